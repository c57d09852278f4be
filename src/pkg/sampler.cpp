// SPDX-License-Identifier: BSD-2-Clause
#include "pkg/sampler.h"

#include <fmt/format.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <vector>

#include "util/safe_text.h"

namespace rqs::pkg {
namespace {

bool is_per_cpu(bpf_map_type type) {
    return type == BPF_MAP_TYPE_PERCPU_HASH || type == BPF_MAP_TYPE_PERCPU_ARRAY ||
           type == BPF_MAP_TYPE_LRU_PERCPU_HASH;
}

bool is_array(bpf_map_type type) {
    return type == BPF_MAP_TYPE_ARRAY || type == BPF_MAP_TYPE_PERCPU_ARRAY;
}

std::size_t round_up_8(std::size_t size) {
    return (size + 7) / 8 * 8;
}

void add_integer(char* sum, const char* more, std::size_t size) {
    std::uint64_t a = 0;
    std::uint64_t b = 0;
    std::memcpy(&a, sum, size);
    std::memcpy(&b, more, size);
    a += b;
    std::memcpy(sum, &a, size);
}

void take_if_zero(char* sum, const char* more, std::size_t size) {
    if (std::all_of(sum, sum + size, [](char c) { return c == 0; })) {
        std::copy(more, more + size, sum);
    }
}

}  // namespace

void add_values(const ValueType& type, char* sum, const char* more) {
    switch (type.kind) {
        case ValueKind::integer:
            if (type.size <= sizeof(std::uint64_t)) {
                add_integer(sum, more, type.size);
                return;
            }
            break;
        case ValueKind::array:
            for (std::size_t i = 0; i < type.count; ++i) {
                add_values(*type.element, sum + i * type.element->size,
                           more + i * type.element->size);
            }
            return;
        case ValueKind::record:
            for (const auto& member : type.members) {
                if (member.bit_size == 0) {
                    add_values(*member.type, sum + member.bit_offset / 8,
                               more + member.bit_offset / 8);
                }
            }
            return;
        default:
            break;
    }
    take_if_zero(sum, more, type.size);
}

Status Sampler::each(const Visit& visit) const {
    const int fd = bpf_map__fd(map_);
    const auto type = bpf_map__type(map_);
    const std::size_t value_size = bpf_map__value_size(map_);
    const int cpus = is_per_cpu(type) ? libbpf_num_possible_cpus() : 1;
    const std::size_t stride = cpus > 1 ? round_up_8(value_size) : value_size;
    std::string values(stride * static_cast<std::size_t>(std::max(cpus, 1)) + 8, '\0');
    std::string key(bpf_map__key_size(map_), '\0');
    std::string next(key.size(), '\0');
    std::vector<std::string> seen;
    const void* previous = nullptr;
    // A map that grows while it is read must not keep us for ever.
    for (std::uint64_t left = bpf_map__max_entries(map_) + std::uint64_t{1};
         left > 0 && bpf_map_get_next_key(fd, previous, next.data()) == 0; --left) {
        key = next;
        previous = key.data();
        if (bpf_map_lookup_elem(fd, key.data(), values.data()) != 0) {
            continue;  // deleted meanwhile
        }
        for (int cpu = 1; cpu < cpus; ++cpu) {
            add_values(*what_->value, values.data(),
                       values.data() + stride * static_cast<std::size_t>(cpu));
        }
        visit(key, std::string_view(values).substr(0, value_size));
        if (what_->sample.clear) {
            seen.push_back(key);
        }
    }
    std::fill(values.begin(), values.end(), '\0');
    for (const auto& one : seen) {
        const int error = is_array(type)
                              ? bpf_map_update_elem(fd, one.data(), values.data(), BPF_ANY)
                              : bpf_map_delete_elem(fd, one.data());
        if (error != 0 && errno != ENOENT) {
            return fail(fmt::format("cannot clear map {}: {}", util::printable(what_->map),
                                    std::strerror(errno)));
        }
    }
    return {};
}

}  // namespace rqs::pkg
