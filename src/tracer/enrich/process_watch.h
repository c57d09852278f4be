// SPDX-License-Identifier: BSD-2-Clause
// Tells when processes that were named end.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "util/fd.h"

namespace rqs {

class ProcessWatch {
  public:
    /// Processes that cannot be watched (they have ended, or are another pid namespace's) are left
    /// out.
    explicit ProcessWatch(const std::vector<std::uint32_t>& pids);

    /// A line for each process that has ended since the last call. Does not wait; without processes
    /// it does nothing.
    std::vector<std::string> ended();

  private:
    struct Watched {
        std::uint32_t pid;
        util::Fd fd;
    };
    std::vector<Watched> alive_;
};

}  // namespace rqs
