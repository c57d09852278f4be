// SPDX-License-Identifier: BSD-2-Clause
// Numbers as bytes that compress well. A nanosecond is noise in its low bits and regular in its
// length, so the two are kept apart: the number of significant bits (its class) is a byte of a
// column, which an entropy coder makes two bits or less of, and the bits behind the leading one go
// into a stream that is stored as it is. Varints, which were measured first, mix both in one byte.
#pragma once

#include <bit>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <span>
#include <string_view>
#include <utility>
#include <vector>

namespace rqs::record {

using Bytes = std::vector<std::uint8_t>;
using ByteView = std::span<const std::uint8_t>;

/// Small for numbers near 0, whatever their sign.
constexpr std::uint64_t zigzag(std::int64_t value) {
    return static_cast<std::uint64_t>(value) << 1 ^ static_cast<std::uint64_t>(value >> 63);
}
constexpr std::int64_t unzigzag(std::uint64_t value) {
    return static_cast<std::int64_t>(value >> 1 ^ (~(value & 1) + 1));
}
/// The difference of two counters, which may wrap around.
constexpr std::uint64_t zigzag_difference(std::uint64_t value, std::uint64_t before) {
    return zigzag(static_cast<std::int64_t>(value - before));
}
constexpr std::uint64_t add_zigzag(std::uint64_t before, std::uint64_t difference) {
    return before + static_cast<std::uint64_t>(unzigzag(difference));
}

/// Appends bits, lowest first.
class BitWriter {
  public:
    /// `bits` of at most 64; `value` has no bits beyond them.
    void put(std::uint64_t value, unsigned bits) {
        held_ |= value << used_;
        if (used_ + bits >= 64) {
            flush_word();
            const unsigned taken = 64 - used_;
            held_ = taken < 64 ? value >> taken : 0;
            used_ = used_ + bits - 64;
        } else {
            used_ += bits;
        }
    }
    /// What was put, filled up to whole bytes. Begins anew.
    Bytes take() {
        for (; used_ > 0; used_ -= used_ < 8 ? used_ : 8, held_ >>= 8) {
            bytes_.push_back(static_cast<std::uint8_t>(held_));
        }
        held_ = 0;
        return std::exchange(bytes_, {});
    }

  private:
    void flush_word() {
        const std::size_t at = bytes_.size();
        bytes_.resize(at + sizeof(held_));
        std::memcpy(bytes_.data() + at, &held_, sizeof(held_));
    }

    Bytes bytes_;
    std::uint64_t held_ = 0;
    unsigned used_ = 0;  // bits of `held_`, below 64
};

/// Whether everything that was read was there. What lacks reads as 0.
struct Reading {
    bool failed = false;
};

class BitReader {
  public:
    BitReader(ByteView bytes, Reading& reading) : bytes_(bytes), reading_(&reading) {}

    /// `bits` of at most 64.
    std::uint64_t get(unsigned bits) {
        if (bits == 0) {
            return 0;
        }
        const std::size_t byte = at_ >> 3;
        const unsigned shift = at_ & 7;
        if (at_ + bits > bytes_.size() * 8) {
            reading_->failed = true;
            return 0;
        }
        at_ += bits;
        std::uint64_t value = word(byte) >> shift;
        if (shift + bits > 64) {
            value |= word(byte + 8) << (64 - shift);
        }
        return bits == 64 ? value : value & ((std::uint64_t{1} << bits) - 1);
    }

  private:
    [[nodiscard]] std::uint64_t word(std::size_t byte) const {
        std::uint64_t value = 0;
        if (byte + sizeof(value) <= bytes_.size()) {
            std::memcpy(&value, bytes_.data() + byte, sizeof(value));
        } else if (byte < bytes_.size()) {
            std::memcpy(&value, bytes_.data() + byte, bytes_.size() - byte);
        }
        return value;
    }

    ByteView bytes_;
    Reading* reading_;
    std::size_t at_ = 0;  // in bits
};

/// A number as its class here and the rest of its bits there.
inline void put_number(Bytes& classes, BitWriter& bits, std::uint64_t value) {
    const auto width = static_cast<unsigned>(std::bit_width(value));
    classes.push_back(static_cast<std::uint8_t>(width));
    if (width > 1) {
        bits.put(value & ~(std::uint64_t{1} << (width - 1)), width - 1);
    }
}

/// One byte of a column after the other.
class ByteReader {
  public:
    ByteReader(ByteView bytes, Reading& reading) : bytes_(bytes), reading_(&reading) {}

    std::uint8_t next() {
        if (at_ >= bytes_.size()) {
            reading_->failed = true;
            return 0;
        }
        return bytes_[at_++];
    }
    [[nodiscard]] bool ended() const { return at_ >= bytes_.size(); }
    /// The next `count` bytes; none where there are not so many.
    ByteView take(std::size_t count) {
        if (count > bytes_.size() - at_) {
            reading_->failed = true;
            return {};
        }
        const ByteView taken = bytes_.subspan(at_, count);
        at_ += count;
        return taken;
    }

  private:
    ByteView bytes_;
    Reading* reading_;
    std::size_t at_ = 0;
};

inline std::uint64_t get_number(ByteReader& classes, BitReader& bits, Reading& reading) {
    const unsigned width = classes.next();
    if (width < 2) {
        return width;
    }
    if (width > 64) {
        reading.failed = true;
        return 0;
    }
    return std::uint64_t{1} << (width - 1) | bits.get(width - 1);
}

// What is rare stands in plain LEB128 varints.

inline void put_varint(Bytes& bytes, std::uint64_t value) {
    for (; value >= 0x80; value >>= 7) {
        bytes.push_back(static_cast<std::uint8_t>(value | 0x80));
    }
    bytes.push_back(static_cast<std::uint8_t>(value));
}

inline void put_text(Bytes& bytes, std::string_view text) {
    put_varint(bytes, text.size());
    bytes.insert(bytes.end(), text.begin(), text.end());
}

inline std::uint64_t get_varint(ByteReader& reader, Reading& reading) {
    std::uint64_t value = 0;
    for (unsigned shift = 0; shift < 64; shift += 7) {
        const std::uint8_t byte = reader.next();
        value |= std::uint64_t{byte & 0x7fU} << shift;
        if ((byte & 0x80) == 0) {
            return value;
        }
    }
    reading.failed = true;
    return 0;
}

/// Valid as long as the bytes that are read.
inline std::string_view get_text(ByteReader& reader, Reading& reading, std::size_t longest) {
    const std::uint64_t size = get_varint(reader, reading);
    if (size > longest) {
        reading.failed = true;
        return {};
    }
    const ByteView taken = reader.take(size);
    return {reinterpret_cast<const char*>(taken.data()), taken.size()};
}

}  // namespace rqs::record
