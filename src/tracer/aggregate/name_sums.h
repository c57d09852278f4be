// SPDX-License-Identifier: BSD-2-Clause
// Groups that share a name, added up: none of a hundred equal workers stands out, all of them do.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <unordered_map>
#include <utility>

#include "aggregate/group.h"

namespace rqs {

struct NameSum {
    std::string label;        ///< raw, as Group::label
    std::uint64_t ns = 0;     ///< of all that have the name
    std::size_t members = 0;  ///< so many have it
    Group largest;            ///< the one of them with most time
    std::uint64_t largest_ns = 0;
};

/// Takes groups one by one and tells the name that they had most time under.
class NameSums {
  public:
    void add(Group group, std::uint64_t ns) {
        // What has no name shares none.
        std::string key = group.label.empty() ? std::to_string(group.id) : "=" + group.label;
        NameSum& sum = sums_[std::move(key)];
        sum.ns += ns;
        ++sum.members;
        if (sum.members == 1 || ns > sum.largest_ns ||
            (ns == sum.largest_ns && group.id < sum.largest.id)) {
            sum.largest_ns = ns;
            sum.label = group.label;
            sum.largest = std::move(group);
        }
    }

    /// Nothing where nothing was added. Of equal ones the lower id: output is stable.
    [[nodiscard]] std::optional<NameSum> heaviest() const {
        const NameSum* best = nullptr;
        for (const auto& [key, sum] : sums_) {
            if (best == nullptr || sum.ns > best->ns ||
                (sum.ns == best->ns && sum.largest.id < best->largest.id)) {
                best = &sum;
            }
        }
        return best == nullptr ? std::nullopt : std::optional(*best);
    }

  private:
    std::unordered_map<std::string, NameSum> sums_;
};

/// Whom a summary would name first.
struct HeaviestNames {
    std::optional<NameSum> victim;   ///< nothing: nobody waited
    std::optional<NameSum> culprit;  ///< a task; nothing: no task had the CPU meanwhile
};

}  // namespace rqs
