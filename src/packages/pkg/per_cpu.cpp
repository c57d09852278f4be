// SPDX-License-Identifier: BSD-2-Clause
#include "pkg/per_cpu.h"

#include <algorithm>
#include <cstring>

namespace rqs::pkg {
namespace {

__extension__ using Unsigned128 = unsigned __int128;

/// Without a thought for signs: two's complement adds alike.
template <typename T>
void add_as(char* sum, const char* more) {
    T a{};
    T b{};
    std::memcpy(&a, sum, sizeof(T));
    std::memcpy(&b, more, sizeof(T));
    a = static_cast<T>(a + b);
    std::memcpy(sum, &a, sizeof(T));
}

void add_integer(char* sum, const char* more, std::uint32_t size) {
    switch (size) {
        case 1:
            return add_as<std::uint8_t>(sum, more);
        case 2:
            return add_as<std::uint16_t>(sum, more);
        case 4:
            return add_as<std::uint32_t>(sum, more);
        case 8:
            return add_as<std::uint64_t>(sum, more);
        default:
            return add_as<Unsigned128>(sum, more);
    }
}

bool all_zero(const char* bytes, std::uint32_t size) {
    return std::all_of(bytes, bytes + size, [](char c) { return c == 0; });
}

/// A label (a name, an address, a type) is no count. Each CPU that counted something wrote it; the
/// others left zeroes. CPUs that disagree make the sum impossible.
bool take_label(char* sum, const char* more, std::uint32_t size) {
    if (all_zero(more, size) || std::memcmp(sum, more, size) == 0) {
        return true;
    }
    if (!all_zero(sum, size)) {
        return false;
    }
    std::copy(more, more + size, sum);
    return true;
}

bool is_addable(std::uint32_t size) {
    return size == 1 || size == 2 || size == 4 || size == 8 || size == 16;
}

}  // namespace

PerCpuSum::PerCpuSum(const ValueType& type) : taken_(type.size, false) {
    plan(type, 0);
}

void PerCpuSum::plan(const ValueType& type, std::uint32_t offset) {
    switch (type.kind) {
        case ValueKind::integer:
            return plan_part(is_addable(type.size) ? How::integer : How::label, offset, type.size,
                             1);
        case ValueKind::floating:
            return plan_part(How::floating, offset, type.size, 1);
        case ValueKind::array:
            return plan_array(type, offset);
        case ValueKind::record:
            for (const auto& member : type.members) {
                if (member.bit_size == 0) {
                    plan(*member.type, offset + member.bit_offset / 8);
                    continue;
                }
                // Neighbours in one byte are compared together.
                const std::uint32_t first = member.bit_offset / 8;
                const std::uint32_t last = (member.bit_offset + member.bit_size - 1) / 8;
                for (std::uint32_t byte = first; byte <= last; ++byte) {
                    plan_part(How::label, offset + byte, 1, 1);
                }
            }
            return;
        default:
            return plan_part(How::label, offset, type.size, 1);
    }
}

void PerCpuSum::plan_array(const ValueType& type, std::uint32_t offset) {
    const ValueType& element = *type.element;
    if (element.kind == ValueKind::integer && is_addable(element.size)) {
        // Addresses and the like are arrays of bytes; nobody counts in them.
        const bool label = element.size == 1;
        return label ? plan_part(How::label, offset, type.size, 1)
                     : plan_part(How::integer, offset, element.size, type.count);
    }
    for (std::uint32_t i = 0; i < type.count; ++i) {
        plan(element, offset + i * element.size);
    }
}

void PerCpuSum::plan_part(How how, std::uint32_t offset, std::uint32_t size, std::uint32_t count) {
    // Members of a union share bytes: those are summed once, as the first member sees them.
    const auto first = taken_.begin() + offset;
    const auto last = first + static_cast<std::ptrdiff_t>(size) * count;
    if (first == last || std::find(first, last, true) != last) {
        return;
    }
    std::fill(first, last, true);
    parts_.push_back({how, offset, size, count});
    always_ = always_ && how != How::label;
}

bool PerCpuSum::add_part(const Part& part, char* sum, const char* more) {
    for (std::uint32_t i = 0; i < part.count; ++i) {
        const std::size_t at = part.offset + std::size_t{i} * part.size;
        if (part.how == How::label) {
            if (!take_label(sum + at, more + at, part.size)) {
                return false;
            }
        } else if (part.how == How::integer) {
            add_integer(sum + at, more + at, part.size);
        } else if (part.size == sizeof(float)) {
            add_as<float>(sum + at, more + at);
        } else {
            add_as<double>(sum + at, more + at);
        }
    }
    return true;
}

bool PerCpuSum::add(char* sum, const char* more) const {
    return std::all_of(parts_.begin(), parts_.end(),
                       [&](const Part& part) { return add_part(part, sum, more); });
}

}  // namespace rqs::pkg
