// SPDX-License-Identifier: BSD-2-Clause
#include "bench/loads/overload.h"

#include <algorithm>
#include <string>

#include "bench/loads/members.h"

namespace rqs::loads {
namespace {

constexpr std::uint32_t group_tasks = 40;  // of perf's messaging: 20 senders, 20 receivers

// What mix is made of, whatever the number of tasks: a CPU benchmark, two busy pairs of a server
// and its client, and a server with threads.
constexpr std::size_t mix_hogs = 4;
constexpr std::size_t mix_pairs = 2;
constexpr std::size_t mix_servers = 4;
constexpr std::size_t mix_clients_each = 6;
constexpr std::size_t mix_processes = mix_hogs + 2 * mix_pairs + 1;

Status build_messaging(Crowd& crowd, std::uint32_t tasks) {
    return add_messaging(crowd, {std::max<std::size_t>(tasks / group_tasks, 1)});
}

Status build_messaging_threads(Crowd& crowd, std::uint32_t tasks) {
    return add_messaging(crowd, {std::max<std::size_t>(tasks / group_tasks, 1), 20, 0, true});
}

Status build_pairs(Crowd& crowd, std::uint32_t tasks) {
    return add_pairs(crowd, std::max<std::size_t>(tasks / 2, 1));
}

Status build_hogs(Crowd& crowd, std::uint32_t tasks) {
    return add_hogs(crowd, tasks);
}

Status build_threads(Crowd& crowd, std::uint32_t tasks) {
    return add_hog_threads(crowd, tasks);
}

Status build_mix(Crowd& crowd, std::uint32_t /*tasks*/) {
    Status ok = add_hogs(crowd, mix_hogs);
    ok = ok ? add_pairs(crowd, mix_pairs) : ok;
    return ok ? add_requests(crowd, mix_servers, mix_clients_each) : ok;
}

}  // namespace

const std::array<OverloadKind, 6> overload_kinds{{
    {"messaging", build_messaging, "groups of 20 senders and 20 receivers over socket pairs"},
    {"messaging-threads", build_messaging_threads, "the same with a process of threads a group"},
    {"pairs", build_pairs, "pairs of processes that hand a byte to and fro"},
    {"hogs", build_hogs, "processes that only compute"},
    {"threads", build_threads, "threads of one process that only compute"},
    {"mix", build_mix, "4 hogs, 2 pairs and 28 threads of clients and servers; no --tasks"},
}};

Result<std::unique_ptr<Crowd>> start_overload(std::string_view kind, std::uint32_t tasks,
                                              std::chrono::seconds limit) {
    const auto* const row =
        std::find_if(overload_kinds.begin(), overload_kinds.end(),
                     [kind](const OverloadKind& candidate) { return candidate.name == kind; });
    if (row == overload_kinds.end()) {
        return usage_error("there is no overload \"" + std::string(kind) +
                           "\": messaging, messaging-threads, pairs, hogs, threads or mix");
    }
    raise_limits();
    const std::size_t room = std::max<std::size_t>({tasks, group_tasks, mix_processes});
    auto crowd = std::make_unique<Crowd>(room, limit);
    if (!crowd->valid()) {
        return fail("cannot share memory between the processes of a load");
    }
    if (const Status ok = row->build(*crowd, std::max(tasks, 1U)); !ok) {
        return tl::unexpected(ok.error());
    }
    if (const Status ok = crowd->wait_until_ready(); !ok) {
        return tl::unexpected(ok.error());
    }
    return crowd;
}

}  // namespace rqs::loads
