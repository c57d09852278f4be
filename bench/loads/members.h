// SPDX-License-Identifier: BSD-2-Clause
// What the members of a Crowd do once they may run. Each function adds some and returns the first
// error of a system call; none of the members ends by itself.
#pragma once

#include <cstddef>

#include "bench/loads/crowd.h"

namespace rqs::loads {

struct Messaging {
    std::size_t groups = 1;
    std::size_t per_side = 20;  ///< senders and as many receivers in each group
    int buffer_bytes = 0;       ///< of a socket; 0 leaves the system's default
    bool threads = false;       ///< of one process a group, which are much faster to set up
};

/// Every sender of a group writes to each receiver of it, over socket pairs: `perf bench sched
/// messaging` without an end. Counts messages. Starts 2 * per_side processes a group, or one.
Status add_messaging(Crowd& crowd, const Messaging& messaging);

/// Two processes each that hand a byte to and fro over pipes. Counts round trips.
Status add_pairs(Crowd& crowd, std::size_t pairs);

/// Processes that only compute. Counts rounds of a loop.
Status add_hogs(Crowd& crowd, std::size_t hogs);

/// One process of threads that only compute.
Status add_hog_threads(Crowd& crowd, std::size_t threads);

/// One process in which client threads send requests to server threads and wait for the reply,
/// with some microseconds of work on both sides. Counts replies.
Status add_requests(Crowd& crowd, std::size_t servers, std::size_t clients_each);

}  // namespace rqs::loads
