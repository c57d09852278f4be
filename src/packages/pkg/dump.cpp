// SPDX-License-Identifier: BSD-2-Clause
#include "pkg/dump.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <cstring>

#include "util/safe_text.h"

namespace rqs::pkg {
namespace {

__extension__ using Int128 = __int128;
__extension__ using Unsigned128 = unsigned __int128;

/// Little endian, as BPF is on every machine that check_object() lets through here.
Unsigned128 read_unsigned(std::string_view bytes, std::uint32_t size) {
    Unsigned128 value = 0;
    for (std::uint32_t i = 0; i < size && i < sizeof(value); ++i) {
        value |= static_cast<Unsigned128>(static_cast<unsigned char>(bytes[i])) << (8 * i);
    }
    return value;
}

Int128 sign_extend(Unsigned128 value, std::uint32_t bits) {
    const std::uint32_t shift = 128 - bits;
    return static_cast<Int128>(value << shift) >> shift;
}

void append_decimal(std::string& out, Unsigned128 value) {
    std::array<char, 40> digits{};
    std::size_t at = digits.size();
    do {
        digits.at(--at) = static_cast<char>('0' + static_cast<int>(value % 10));
        value /= 10;
    } while (value != 0);
    out.append(digits.data() + at, digits.size() - at);
}

void append_number(std::string& out, Unsigned128 value, std::uint32_t bits, bool is_signed) {
    const Int128 extended = is_signed ? sign_extend(value, bits) : 0;
    if (extended < 0) {
        out += '-';
        append_decimal(out, ~static_cast<Unsigned128>(extended) + 1);
    } else {
        append_decimal(out, value);
    }
}

const Enumerator* find_enumerator(const ValueType& type, Unsigned128 value, std::uint32_t bits) {
    const auto find = [&](std::int64_t number) -> const Enumerator* {
        const auto found =
            std::find_if(type.enumerators.begin(), type.enumerators.end(),
                         [&](const Enumerator& entry) { return entry.value == number; });
        return found == type.enumerators.end() ? nullptr : &*found;
    };
    const auto with_sign = static_cast<std::int64_t>(sign_extend(value, bits));
    const auto without = static_cast<std::int64_t>(value);
    // The type's own sign first. The other one still names the only enumerator of these bits: the
    // record of a 32-bit enum holds 0xffffffff as -1.
    const Enumerator* entry = find(type.is_signed ? with_sign : without);
    return entry != nullptr ? entry : find(type.is_signed ? without : with_sign);
}

void append_float(std::string& out, const ValueType& type, std::string_view bytes, bool json) {
    double value = 0;
    if (type.size == sizeof(float)) {
        float narrow = 0;
        std::memcpy(&narrow, bytes.data(), sizeof(narrow));
        if (std::isfinite(narrow)) {
            fmt::format_to(std::back_inserter(out), "{}", narrow);
            return;
        }
        value = static_cast<double>(narrow);
    } else {
        std::memcpy(&value, bytes.data(), sizeof(value));
    }
    if (!json || std::isfinite(value)) {
        fmt::format_to(std::back_inserter(out), "{}", value);
    } else {
        out += "null";  // JSON has no infinity
    }
}

void append_hex(std::string& out, std::string_view bytes) {
    for (const char c : bytes) {
        fmt::format_to(std::back_inserter(out), "{:02x}", static_cast<unsigned char>(c));
    }
}

std::string_view until_zero(std::string_view bytes) {
    return bytes.substr(0, bytes.find('\0'));
}

/// A scalar of `bits` bits, already taken out of its bytes. True if it was one.
bool append_scalar(std::string& out, const ValueType& type, Unsigned128 value, std::uint32_t bits,
                   bool json) {
    switch (type.kind) {
        case ValueKind::integer: {
            // Readers of JSON keep numbers in 64 bits or in a double: as text nothing is rounded
            // off.
            const bool quoted = json && bits > 64;
            out += quoted ? "\"" : "";
            append_number(out, value, bits, type.is_signed);
            out += quoted ? "\"" : "";
            return true;
        }
        case ValueKind::boolean:
            out += value != 0 ? "true" : "false";
            return true;
        case ValueKind::enumeration: {
            const Enumerator* entry = find_enumerator(type, value, bits);
            if (entry == nullptr) {
                append_number(out, value, bits, type.is_signed);
            } else if (json) {
                util::append_json_string(out, entry->name);
            } else {
                util::append_printable(out, entry->name);
            }
            return true;
        }
        case ValueKind::pointer:
            out += json ? "\"" : "";
            fmt::format_to(std::back_inserter(out), "{:#x}", static_cast<std::uint64_t>(value));
            out += json ? "\"" : "";
            return true;
        default:
            return false;
    }
}

void append_array_json(std::string& out, const ValueType& type, std::string_view bytes) {
    out += '[';
    for (std::uint32_t i = 0; i < type.count; ++i) {
        out += i == 0 ? "" : ",";
        append_json(out, *type.element, bytes.substr(std::size_t{i} * type.element->size));
    }
    out += ']';
}

Unsigned128 bit_field(const ValueMember& member, std::string_view record) {
    const std::uint32_t first = member.bit_offset / 8;
    const std::uint32_t shift = member.bit_offset % 8;
    const std::uint32_t bytes = (shift + member.bit_size + 7) / 8;
    const Unsigned128 value = read_unsigned(record.substr(first), bytes) >> shift;
    return value & ((static_cast<Unsigned128>(1) << member.bit_size) - 1);
}

std::string_view member_bytes(const ValueMember& member, std::string_view record) {
    return record.substr(member.bit_offset / 8, member.type->size);
}

}  // namespace

void append_text(std::string& out, const ValueType& type, std::string_view bytes) {
    switch (type.kind) {
        case ValueKind::text:
            util::append_printable(out, until_zero(bytes.substr(0, type.size)));
            break;
        case ValueKind::floating:
            append_float(out, type, bytes, false);
            break;
        case ValueKind::bytes:
            append_hex(out, bytes.substr(0, type.size));
            break;
        case ValueKind::array:
        case ValueKind::record:
            append_json(out, type, bytes);
            break;
        default:
            append_scalar(out, type, read_unsigned(bytes, type.size), type.size * 8, false);
    }
}

void append_json(std::string& out, const ValueType& type, std::string_view bytes) {
    switch (type.kind) {
        case ValueKind::text:
            util::append_json_string(out, until_zero(bytes.substr(0, type.size)));
            break;
        case ValueKind::floating:
            append_float(out, type, bytes, true);
            break;
        case ValueKind::bytes:
            out += '"';
            append_hex(out, bytes.substr(0, type.size));
            out += '"';
            break;
        case ValueKind::array:
            append_array_json(out, type, bytes);
            break;
        case ValueKind::record:
            out += '{';
            append_members_json(out, type, bytes);
            out += '}';
            break;
        default:
            append_scalar(out, type, read_unsigned(bytes, type.size), type.size * 8, true);
    }
}

void append_member_text(std::string& out, const ValueMember& member, std::string_view record) {
    if (member.bit_size != 0) {
        append_scalar(out, *member.type, bit_field(member, record), member.bit_size, false);
    } else {
        append_text(out, *member.type, member_bytes(member, record));
    }
}

void append_member_json(std::string& out, const ValueMember& member, std::string_view record) {
    if (member.bit_size != 0) {
        append_scalar(out, *member.type, bit_field(member, record), member.bit_size, true);
    } else {
        append_json(out, *member.type, member_bytes(member, record));
    }
}

void append_members_json(std::string& out, const ValueType& record, std::string_view bytes) {
    bool first = true;
    for (const auto& member : record.members) {
        const bool anonymous = member.name.empty();
        if (anonymous && (member.type->kind != ValueKind::record || member.type->members.empty())) {
            continue;  // padding
        }
        out += first ? "" : ",";
        first = false;
        if (anonymous) {
            append_members_json(out, *member.type, member_bytes(member, bytes));
            continue;
        }
        util::append_json_string(out, member.name);
        out += ':';
        append_member_json(out, member, bytes);
    }
}

const ValueMember* find_member(const ValueType& record, std::string_view name) {
    const auto found = std::find_if(record.members.begin(), record.members.end(),
                                    [&](const ValueMember& member) { return member.name == name; });
    return found == record.members.end() ? nullptr : &*found;
}

std::optional<std::int64_t> member_integer(const ValueType& record, std::string_view bytes,
                                           std::string_view name) {
    const ValueMember* member = find_member(record, name);
    if (member == nullptr || member->type->size > 8 ||
        (member->type->kind != ValueKind::integer &&
         member->type->kind != ValueKind::enumeration)) {
        return std::nullopt;
    }
    const std::uint32_t bits = member->bit_size != 0 ? member->bit_size : member->type->size * 8;
    const Unsigned128 value = member->bit_size != 0
                                  ? bit_field(*member, bytes)
                                  : read_unsigned(member_bytes(*member, bytes), member->type->size);
    return static_cast<std::int64_t>(member->type->is_signed ? sign_extend(value, bits)
                                                             : static_cast<Int128>(value));
}

}  // namespace rqs::pkg
