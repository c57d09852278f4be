// SPDX-License-Identifier: BSD-2-Clause
#include "record/pack.h"

#include <zstd.h>

#include <algorithm>

namespace rqs::record {
namespace {

enum class Codec : std::uint8_t { plain, zstd };
// -19 wins 2 % and takes twenty times as long.
constexpr int level = 3;

}  // namespace

void Packer::Free::operator()(ZSTD_CCtx_s* context) const {
    ZSTD_freeCCtx(context);
}

Packer::Packer() : context_(ZSTD_createCCtx()) {
    ZSTD_CCtx_setParameter(context_.get(), ZSTD_c_compressionLevel, level);
    // A column is never longer than a block has switches; a small window keeps the tables small.
    ZSTD_CCtx_setParameter(context_.get(), ZSTD_c_windowLog, 17);
    ZSTD_CCtx_setParameter(context_.get(), ZSTD_c_contentSizeFlag, 0);
}

Packer::~Packer() = default;

void Packer::put_column(Bytes& frame, std::size_t number, const Bytes& column) {
    Codec codec = Codec::plain;
    ByteView stored = column;
    if (number != static_cast<std::size_t>(Column::bits)) {  // which are noise
        squeezed_.resize(ZSTD_compressBound(column.size()));
        const std::size_t size = ZSTD_compress2(context_.get(), squeezed_.data(), squeezed_.size(),
                                                column.data(), column.size());
        if (ZSTD_isError(size) == 0 && size < column.size()) {
            codec = Codec::zstd;
            stored = ByteView(squeezed_).first(size);
        }
    }
    put_varint(frame, number);
    put_varint(frame, static_cast<std::uint64_t>(codec));
    put_varint(frame, column.size());
    put_varint(frame, stored.size());
    frame.insert(frame.end(), stored.begin(), stored.end());
}

PackedBlock Packer::pack(const Block& block) {
    PackedBlock packed{block.summary, begin_frame()};
    std::size_t raw_bytes = 0;
    for (std::size_t i = 0; i < column_count; ++i) {
        const Bytes& column = block.columns.at(i);
        if (!column.empty()) {
            put_column(packed.frame, i, column);
            raw_bytes += column.size();
        }
    }
    finish_frame(packed.frame, FrameType::block, block.summary,
                 static_cast<std::uint32_t>(raw_bytes));
    return packed;
}

void Unpacker::Free::operator()(ZSTD_DCtx_s* context) const {
    ZSTD_freeDCtx(context);
}

Unpacker::Unpacker() : context_(ZSTD_createDCtx()) {}
Unpacker::~Unpacker() = default;

bool Unpacker::get_column(ByteReader& bytes, Reading& reading, std::size_t& left) {
    const std::uint64_t number = get_varint(bytes, reading);
    const std::uint64_t codec = get_varint(bytes, reading);
    const std::uint64_t size = get_varint(bytes, reading);
    const ByteView stored = bytes.take(get_varint(bytes, reading));
    if (reading.failed || size > Limits::column_bytes || size > left) {
        return false;
    }
    left -= size;
    if (number >= column_count) {
        return true;  // a later version's
    }
    Bytes& column = block_.columns.at(number);
    if (codec == static_cast<std::uint64_t>(Codec::plain)) {
        column.assign(stored.begin(), stored.end());
        return stored.size() == size;
    }
    column.resize(size);
    return codec == static_cast<std::uint64_t>(Codec::zstd) &&
           ZSTD_decompressDCtx(context_.get(), column.data(), size, stored.data(), stored.size()) ==
               size;
}

Result<const Block*> Unpacker::unpack(const FrameHeader& header, ByteView payload) {
    block_.summary = header.summary;
    for (Bytes& column : block_.columns) {
        column.clear();
    }
    Reading reading;
    ByteReader bytes(payload, reading);
    std::size_t left = Limits::block_bytes;
    while (!bytes.ended()) {
        if (!get_column(bytes, reading, left)) {
            return fail("a block is not what the format says");
        }
    }
    if (block_[Column::shape].size() > Limits::switches) {
        return fail("a block holds more switches than the format allows");
    }
    return &block_;
}

}  // namespace rqs::record
