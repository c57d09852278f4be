// SPDX-License-Identifier: BSD-2-Clause
#include "sources/schedstat.h"

#include <fmt/format.h>
#include <poll.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <ctime>
#include <iterator>
#include <string_view>
#include <utility>

#include "sources/kernel_clock.h"
#include "util/clock.h"
#include "util/contains.h"
#include "util/say.h"

namespace rqs {
namespace {

constexpr std::uint64_t ns_per_s = 1'000'000'000;
constexpr std::uint64_t ns_per_us = 1000;
constexpr std::uint64_t ns_per_ms = 1'000'000;

SchedstatSource::Setup live_setup(std::optional<std::uint32_t> ancestor) {
    return {util::Procfs(), ancestor, kernel_monotonic_ns,
            [] { return util::clock_ns(CLOCK_BOOTTIME); }};
}

/// Sums only grow. A smaller one belongs to another thread.
bool went_backwards(const util::SchedStat& before, const util::SchedStat& after) {
    return after.run_ns < before.run_ns || after.wait_ns < before.wait_ns ||
           after.slices < before.slices;
}

}  // namespace

SchedstatSource::SchedstatSource(const SourceOptions& options,
                                 std::optional<std::uint32_t> ancestor)
    : SchedstatSource(options, live_setup(ancestor)) {}

SchedstatSource::SchedstatSource(const SourceOptions& options, Setup setup)
    : options_(options), setup_(std::move(setup)) {
    constexpr std::size_t longest_file = 512;  // stat is the longest of those read: below 400
    buffer_.resize(longest_file);
    interval_ns_ = static_cast<std::uint64_t>(options.interval_s.value_or(1.0) *
                                              static_cast<double>(ns_per_s));
    interval_ns_ = std::max(interval_ns_, ns_per_ms);
}

Status SchedstatSource::check_options() const {
    const Filters& filters = options_.filters;
    std::string_view option;
    if (!filters.cpus.empty()) {
        option = "--cpu";
    } else if (!filters.cgroup_path.empty()) {
        option = "--cgroup";
    } else if (!filters.cgroup_map.empty()) {
        option = "--cgroupmap";
    } else if (!filters.mntns_map.empty()) {
        option = "--mntnsmap";
    } else if (options_.stuck) {
        option = "--stuck";
    } else if (options_.waker) {
        option = "--waker";
    } else {
        return {};
    }
    return usage_error(fmt::format(
        "{} needs single waits, which sampling does not know; leave it out, or use --source bpf "
        "(root, or cap_bpf,cap_perfmon)",
        option));
}

Status SchedstatSource::check_kernel() const {
    const auto text = setup_.procfs.read("self/schedstat");
    if (!text) {
        if (!setup_.procfs.exists("self/stat")) {
            return fail(fmt::format("cannot read {}; mount it: mount -t proc proc {}",
                                    setup_.procfs.root(), setup_.procfs.root()));
        }
        return fail(
            "this kernel does not count waits (built without CONFIG_SCHED_INFO, so there is no "
            "/proc/self/schedstat); use a kernel with CONFIG_SCHEDSTATS or CONFIG_TASK_DELAY_ACCT");
    }
    const auto own = util::parse_schedstat(*text);
    if (!own) {
        return fail("/proc/self/schedstat does not hold three numbers; cannot sample waits");
    }
    // Whoever reads this has been switched in at least once.
    if (own->slices == 0) {
        return fail(
            "this kernel counts waits only when told to; boot it with the parameter delayacct");
    }
    return {};
}

Status SchedstatSource::start() {
    if (auto status = check_options(); !status) {
        return status;
    }
    if (auto status = check_kernel(); !status) {
        return status;
    }
    const auto ticks_per_s = static_cast<std::uint64_t>(::sysconf(_SC_CLK_TCK));
    // Division first: 2^64 ns are 584 years, times 100 they are not.
    const std::uint64_t now = setup_.boottime_ns();
    began_ticks_ = now / (ns_per_s / ticks_per_s);
    next_ns_ = setup_.monotonic_ns() + interval_ns_;
    scan(nullptr);
    if (options_.verbose && unreadable_ > 0) {
        util::say(
            fmt::format("runqslower: {} tasks cannot be read (other users', and {} hides them); "
                        "their waits are not seen without root",
                        unreadable_, setup_.procfs.root()));
    }
    return {};
}

Status SchedstatSource::poll(std::chrono::milliseconds timeout, RecordHandler& handler) {
    const std::uint64_t now = setup_.monotonic_ns();
    clocks_.read_if_due(now, handler);
    if (now < next_ns_) {
        // Rounded up, or the last millisecond would be a busy loop.
        const std::uint64_t due_ms = (next_ns_ - now + ns_per_ms - 1) / ns_per_ms;
        const auto limit_ms =
            static_cast<std::uint64_t>(std::max<std::int64_t>(timeout.count(), 0));
        const int ready = ::poll(nullptr, 0, static_cast<int>(std::min(due_ms, limit_ms)));
        if (ready < 0 || setup_.monotonic_ns() < next_ns_) {
            return {};
        }
    }
    scan(&handler);
    handler.on_reached(setup_.monotonic_ns());
    // Readings that were slept through are skipped, not made up for.
    const std::uint64_t after = setup_.monotonic_ns();
    next_ns_ += interval_ns_;
    if (next_ns_ <= after) {
        next_ns_ = after + interval_ns_;
    }
    return {};
}

Status SchedstatSource::finish(RecordHandler& handler) {
    scan(&handler);
    return {};
}

/// One reading of everything. Without a handler it only sets the baseline.
void SchedstatSource::scan(RecordHandler* handler) {
    ++scan_;
    unreadable_ = 0;
    const std::uint64_t began_ns = setup_.monotonic_ns();
    list_processes(pids_);
    for (const util::IdEntry& pid : pids_) {
        scan_process(pid.id, handler);
    }
    forget_ended();
    last_scan_ns_ = began_ns;
}

/// The processes that the filters leave, in the order of their ids.
void SchedstatSource::list_processes(std::vector<util::IdEntry>& pids) {
    const Filters& filters = options_.filters;
    pids.clear();
    if (!setup_.ancestor && !filters.tids.empty()) {
        for (const std::uint32_t tid : filters.tids) {
            const auto pid = setup_.procfs.process_of(tid);
            const bool known = std::any_of(pids.begin(), pids.end(), [&](const util::IdEntry& one) {
                return pid && one.id == *pid;
            });
            if (pid && !known) {
                pids.push_back({*pid, 0});
            }
        }
    } else if (!setup_.ancestor && !filters.pids.empty()) {
        for (const std::uint32_t pid : filters.pids) {
            pids.push_back({pid, 0});
        }
    } else {
        util::ProcDir root(setup_.procfs.root());
        if (root.valid()) {
            root.list_ids(pids);
            leave_out_own(pids);
        }
    }
    if (setup_.ancestor) {
        keep_descendants(pids);
    }
    if (!filters.pids.empty()) {
        std::erase_if(
            pids, [&](const util::IdEntry& one) { return !util::contains(filters.pids, one.id); });
    }
}

/// Reading all of /proc takes the CPU that others have, so on a busy machine this process would
/// stand in every interval. Whoever names it by a filter gets it. The ancestor has to stay until
/// its descendants are found.
void SchedstatSource::leave_out_own(std::vector<util::IdEntry>& pids) const {
    if (options_.self || setup_.ancestor) {
        return;
    }
    const auto own = setup_.procfs.own_process();
    std::erase_if(pids, [&](const util::IdEntry& one) { return one.id == own; });
}

/// Drops what does not descend from the ancestor, and that itself. A process is judged once, when
/// it is first seen: it stays a descendant when its parent ends and it gets another.
void SchedstatSource::keep_descendants(std::vector<util::IdEntry>& pids) {
    std::vector<std::uint32_t> fresh;
    for (const util::IdEntry& entry : pids) {
        Process& process = processes_[entry.id];
        if (process.scan == 0 || process.inode != entry.inode) {
            const util::ProcStat stat = setup_.procfs.stat(entry.id).value_or(util::ProcStat{});
            if (process.scan == 0 || process.start_ticks != stat.start_ticks) {
                process = {0, stat.start_ticks, stat.ppid, entry.id == *setup_.ancestor, 0};
                fresh.push_back(entry.id);
            }
            process.inode = entry.inode;
        }
        process.scan = scan_;
    }
    // Ids wrap around, so a child may stand before its parent: until nothing changes.
    for (bool changed = true; changed;) {
        changed = false;
        for (const std::uint32_t pid : fresh) {
            Process& process = processes_[pid];
            const auto parent = processes_.find(process.ppid);
            if (!process.descendant && parent != processes_.end() && parent->second.descendant) {
                process.descendant = true;
                changed = true;
            }
        }
    }
    pids.erase(std::remove_if(pids.begin(), pids.end(),
                              [&](const util::IdEntry& entry) {
                                  return entry.id == *setup_.ancestor ||
                                         !processes_[entry.id].descendant;
                              }),
               pids.end());
}

bool SchedstatSource::is_wanted(std::uint32_t tid) const {
    return options_.filters.tids.empty() || util::contains(options_.filters.tids, tid);
}

void SchedstatSource::scan_process(std::uint32_t pid, RecordHandler* handler) {
    path_.clear();
    fmt::format_to(std::back_inserter(path_), "{}/{}/task", setup_.procfs.root(), pid);
    util::ProcDir tasks(path_);
    if (!tasks.valid()) {
        // Ended meanwhile, or hidden (hidepid).
        unreadable_ += setup_.procfs.exists(fmt::format("{}", pid)) ? 1U : 0U;
        return;
    }
    tasks.list_ids(tids_);
    for (const util::IdEntry& entry : tids_) {
        if (is_wanted(entry.id)) {
            scan_thread(tasks, pid, entry, handler);
        }
    }
}

void SchedstatSource::scan_thread(const util::ProcDir& tasks, std::uint32_t pid,
                                  const util::IdEntry& entry, RecordHandler* handler) {
    path_.clear();
    fmt::format_to(std::back_inserter(path_), "{}/schedstat", entry.id);
    const auto text = tasks.read(path_.c_str(), buffer_);
    const auto now = text ? util::parse_schedstat(*text) : std::nullopt;
    if (!now) {
        unreadable_ += errno == EACCES || errno == EPERM ? 1U : 0U;  // else it has ended
        return;
    }
    Thread& thread = threads_[entry.id];
    const bool known = thread.scan != 0 && thread.inode == entry.inode;
    if (!known && !note_birth(tasks, entry, thread)) {
        threads_.erase(entry.id);
        return;
    }
    // The first reading is everyone's baseline; later it is that of old threads that come into
    // sight. Sums that shrink are another thread's: one that called exec took over this id.
    const bool is_old = handler == nullptr || thread.start_ticks < began_ticks_;
    if ((thread.scan == 0 && is_old) || went_backwards(thread.last, *now)) {
        thread.last = *now;
    }
    const Thread before = thread;
    thread.last = *now;
    thread.read_ns = setup_.monotonic_ns();
    thread.scan = scan_;
    // A thread that is moved while queued has waited without having been switched in.
    const bool waited = now->slices > before.last.slices || now->wait_ns > before.last.wait_ns;
    if (handler != nullptr && wanted_ && waited) {
        TaskId task;
        task.tid = entry.id;
        task.pid = pid;
        report(tasks, task, before, thread, *handler);
    }
}

/// Tells whether an id that looks new is a new thread (its `scan` is then 0 and its sums are) or
/// the old one behind a new inode. False: it has ended.
bool SchedstatSource::note_birth(const util::ProcDir& tasks, const util::IdEntry& entry,
                                 Thread& thread) {
    path_.clear();
    fmt::format_to(std::back_inserter(path_), "{}/stat", entry.id);
    const auto text = tasks.read(path_.c_str(), buffer_);
    const auto stat = text ? util::parse_proc_stat(*text) : std::nullopt;
    if (!stat) {
        return false;
    }
    if (thread.scan == 0 || thread.start_ticks != stat->start_ticks) {
        thread = Thread{};
        thread.start_ticks = stat->start_ticks;
    }
    thread.inode = entry.inode;
    return true;
}

/// Counts what a thread waited between two readings and hands it on if it is worth it.
void SchedstatSource::report(const util::ProcDir& tasks, TaskId task, const Thread& before,
                             const Thread& after, RecordHandler& handler) {
    Interval interval;
    interval.waits = after.last.slices - before.last.slices;
    interval.wait_ns = after.last.wait_ns - before.last.wait_ns;
    interval.run_ns = after.last.run_ns - before.last.run_ns;
    const bool kept = options_.min_us == 0 || interval.wait_ns > options_.min_us * ns_per_us;
    const std::string& prefix = options_.filters.comm_prefix;
    if (kept || !prefix.empty()) {
        // Names change, and reading them costs: only where one is needed.
        const auto comm = comm_of(tasks, task.tid);
        if (!comm || comm->view().substr(0, prefix.size()) != prefix) {
            return;
        }
        task.comm = *comm;
    }
    counters_.seen += interval.waits;
    if (!kept) {
        return;
    }
    counters_.kept += interval.waits;
    interval.ts_ns = after.read_ns;
    interval.interval_ns = after.read_ns - (before.read_ns != 0 ? before.read_ns : last_scan_ns_);
    interval.task = task;
    handler.on_interval(interval);
    wanted_ = !handler.done();
}

std::optional<Comm> SchedstatSource::comm_of(const util::ProcDir& tasks, std::uint32_t tid) {
    path_.clear();
    fmt::format_to(std::back_inserter(path_), "{}/comm", tid);
    auto text = tasks.read(path_.c_str(), buffer_);
    if (!text) {
        return std::nullopt;
    }
    // The file ends in a newline of its own; one inside a name stays.
    if (!text->empty() && text->back() == '\n') {
        text->remove_suffix(1);
    }
    return Comm::from(*text);
}

/// What was not found in this reading has ended; its id may be another's next time.
void SchedstatSource::forget_ended() {
    const auto forget = [this](auto& map) {
        for (auto entry = map.begin(); entry != map.end();) {
            entry = entry->second.scan == scan_ ? std::next(entry) : map.erase(entry);
        }
    };
    forget(threads_);
    forget(processes_);
}

}  // namespace rqs
