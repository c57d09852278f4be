// SPDX-License-Identifier: BSD-2-Clause
// Which waits are wanted, decided in user space: the meaning of bpf/filter.bpf.h, for sources that
// have no kernel to filter for them. One table of cases is run against both.
#pragma once

#include <cstdint>
#include <vector>

#include "model/known_names.h"
#include "model/options.h"
#include "model/record.h"

namespace rqs {

class WaitFilter {
  public:
    /// Takes everything.
    WaitFilter() = default;
    /// All that are on must hold. `cgroup_path` is taken as a path below the hierarchy's mount
    /// point, which is told by `names`; both must outlive the filter. Pinned maps cannot be looked
    /// into from here: see unsupported().
    WaitFilter(const Filters& filters, const KnownNames& names);

    /// Whether the wait of who came at this switch is wanted.
    [[nodiscard]] bool wants(const Switch& record, const Arrival& came) const;

    /// The option of a filter that only a kernel can apply; empty if there is none.
    static std::string_view unsupported(const Filters& filters);

  private:
    [[nodiscard]] bool in_cgroup(std::uint64_t id) const;

    const Filters* filters_ = nullptr;
    const KnownNames* names_ = nullptr;
};

}  // namespace rqs
