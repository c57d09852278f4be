// SPDX-License-Identifier: BSD-2-Clause
// Tells when processes and threads that were named end.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "util/fd.h"

namespace rqs {

class ProcessWatch {
  public:
    /// Those that cannot be watched (they have ended, or are another pid namespace's) are left out.
    ProcessWatch(const std::vector<std::uint32_t>& pids, const std::vector<std::uint32_t>& tids);

    /// A line for each that has ended since the last call. Does not wait; where nobody was named it
    /// does nothing.
    std::vector<std::string> ended();

  private:
    struct Watched {
        std::uint32_t id;
        util::Fd fd;
        bool is_pidfd;  ///< else a file of its directory in /proc
    };
    /// What one option named.
    struct Group {
        const char* word;
        const char* option;
        std::vector<Watched> alive;
    };

    static bool has_ended(const Watched& watched);
    static void look(Group& group, std::vector<std::string>& lines);

    Group processes_{"process", "--pid", {}};
    Group threads_{"thread", "--tid", {}};
};

}  // namespace rqs
