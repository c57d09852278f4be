// SPDX-License-Identifier: BSD-2-Clause
// Reads all entries of a map, as often as its metadata asks for it.
#pragma once

#include <functional>
#include <string_view>

#include "bpfkit/handles.h"
#include "pkg/exporter.h"

namespace rqs::pkg {

class Sampler {
  public:
    using Visit = std::function<void(std::string_view key, std::string_view value)>;

    /// `map` and `what` must outlive the sampler.
    Sampler(const bpf_map* map, const Export& what) : map_(map), what_(&what) {}

    [[nodiscard]] const Export& what() const { return *what_; }

    /// Visits each entry; per-CPU values are added up over the CPUs. With `clear` in the metadata
    /// the entries are deleted (in arrays: zeroed) once they were visited.
    Status each(const Visit& visit) const;

  private:
    const bpf_map* map_;
    const Export* what_;
};

/// Adds the integers of `more` to those of `sum`, both values of `type`; everything else stays as
/// it is in `sum` unless that is all zero.
void add_values(const ValueType& type, char* sum, const char* more);

}  // namespace rqs::pkg
