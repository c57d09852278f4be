// SPDX-License-Identifier: BSD-2-Clause
// Reads all entries of a map, as often as its metadata asks for it.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "bpfkit/handles.h"
#include "pkg/exporter.h"
#include "pkg/per_cpu.h"

namespace rqs::pkg {

/// One entry of a map.
struct Entry {
    std::string_view key;
    std::string_view value;
    std::optional<int> cpu;  ///< whose value it is, if it could not be added to those of others
};

class Sampler {
  public:
    using Visit = std::function<void(const Entry& entry)>;

    /// `map` and `what` must outlive the sampler.
    Sampler(const bpf_map* map, const Export& what) : map_(map), what_(&what), sum_(*what.value) {}

    [[nodiscard]] const Export& what() const { return *what_; }

    /// Visits each entry. Per-CPU values are added up over the CPUs (per_cpu.h); where they cannot
    /// be, there is a visit for each CPU that has one which is not all zero. With `clear` in the
    /// metadata the entries are deleted (in arrays: zeroed) once they were visited.
    Status each(const Visit& visit) const;

  private:
    void visit_values(std::string_view key, std::string_view values, std::size_t cpus,
                      const Visit& visit) const;
    [[nodiscard]] Status clear(const std::vector<std::string>& keys, std::string_view zero) const;

    const bpf_map* map_;
    const Export* what_;
    PerCpuSum sum_;
};

}  // namespace rqs::pkg
