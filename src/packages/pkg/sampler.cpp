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

bool all_zero(std::string_view bytes) {
    return bytes.find_first_not_of('\0') == std::string_view::npos;
}

}  // namespace

void Sampler::visit_values(std::string_view key, std::string_view values, std::size_t cpus,
                           const Visit& visit) const {
    const std::size_t size = bpf_map__value_size(map_);
    if (cpus <= 1) {
        visit({key, values.substr(0, size), std::nullopt});
        return;
    }
    const std::size_t stride = round_up_8(size);
    std::string sum(values.substr(0, size));
    bool summed = true;
    for (std::size_t cpu = 1; cpu < cpus && summed; ++cpu) {
        summed = sum_.add(sum.data(), values.data() + stride * cpu);
    }
    if (summed) {
        visit({key, sum, std::nullopt});
        return;
    }
    for (std::size_t cpu = 0; cpu < cpus; ++cpu) {
        const std::string_view value = values.substr(stride * cpu, size);
        if (!all_zero(value)) {
            visit({key, value, static_cast<int>(cpu)});
        }
    }
}

Status Sampler::each(const Visit& visit) const {
    const int fd = bpf_map__fd(map_);
    const int possible = is_per_cpu(bpf_map__type(map_)) ? libbpf_num_possible_cpus() : 1;
    const auto cpus = static_cast<std::size_t>(std::max(possible, 1));
    // The kernel writes a value for each possible CPU, online or not, each rounded up to 8 bytes.
    std::string values(round_up_8(bpf_map__value_size(map_)) * cpus, '\0');
    std::string key(bpf_map__key_size(map_), '\0');
    std::string next(key.size(), '\0');
    std::vector<std::string> seen;
    const void* previous = nullptr;
    // Where the current key of a hash has been deleted, the kernel starts again from the first one,
    // and others may be added all the time: the count of entries keeps this from going on for ever.
    for (std::uint64_t left = bpf_map__max_entries(map_) + std::uint64_t{1};
         left > 0 && bpf_map_get_next_key(fd, previous, next.data()) == 0; --left) {
        key = next;
        previous = key.data();
        if (bpf_map_lookup_elem(fd, key.data(), values.data()) != 0) {
            continue;  // deleted meanwhile
        }
        visit_values(key, values, cpus, visit);
        if (what_->sample.clear) {
            seen.push_back(key);
        }
    }
    return clear(seen, std::string(values.size(), '\0'));
}

// After the walk, because deleting a key makes the walk start again. The entries of an array are
// always there: they are set to zero.
Status Sampler::clear(const std::vector<std::string>& keys, std::string_view zero) const {
    const int fd = bpf_map__fd(map_);
    for (const auto& key : keys) {
        const int error = is_array(bpf_map__type(map_))
                              ? bpf_map_update_elem(fd, key.data(), zero.data(), BPF_ANY)
                              : bpf_map_delete_elem(fd, key.data());
        if (error != 0 && errno != ENOENT) {  // the program may delete them too
            return fail(fmt::format("cannot clear map {}: {}", util::printable(what_->map),
                                    std::strerror(errno)));
        }
    }
    return {};
}

}  // namespace rqs::pkg
