// SPDX-License-Identifier: BSD-2-Clause
// One value out of the values that a per-CPU map has for one key.
#pragma once

#include <cstdint>
#include <vector>

#include "pkg/value_type.h"

namespace rqs::pkg {

/// How values of a type are added up. Integers and floating point numbers are counters: they are
/// added, in structs and arrays too. Everything else (text, enums, booleans, pointers, bit fields,
/// single bytes in arrays, bytes of unknown type) is a label: it can only be taken from a CPU, and
/// only if no other CPU has another one. Of members that share bytes the first one counts.
class PerCpuSum {
  public:
    explicit PerCpuSum(const ValueType& type);

    /// Whether there are no labels, so that any values can be added.
    [[nodiscard]] bool always() const { return always_; }

    /// Adds the value at `more` to that at `sum`. False if their labels differ; `sum` is then
    /// garbage. A label that is all zero differs from none.
    bool add(char* sum, const char* more) const;

  private:
    enum class How { integer, floating, label };

    struct Part {
        How how = How::label;
        std::uint32_t offset = 0;  ///< bytes
        std::uint32_t size = 0;    ///< bytes, of one element
        std::uint32_t count = 1;   ///< elements in a row
    };

    void plan(const ValueType& type, std::uint32_t offset);
    void plan_array(const ValueType& type, std::uint32_t offset);
    void plan_part(How how, std::uint32_t offset, std::uint32_t size, std::uint32_t count);
    static bool add_part(const Part& part, char* sum, const char* more);

    std::vector<Part> parts_;
    std::vector<bool> taken_;  ///< bytes that a part has already
    bool always_ = true;
};

}  // namespace rqs::pkg
