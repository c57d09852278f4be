// SPDX-License-Identifier: BSD-2-Clause
#include "perfetto/writer.h"

#include <algorithm>
#include <utility>

namespace rqs::perfetto {
namespace {

void write_clock(protozero::pbf_writer& snapshot, std::uint32_t id, std::uint64_t ns) {
    protozero::pbf_writer clock(snapshot, clock_snapshot::clocks);
    clock.add_uint32(clock_snapshot::clock_id, id);
    clock.add_uint64(clock_snapshot::clock_timestamp, ns);
}

std::uint64_t shifted(std::uint64_t ns, std::int64_t offset_ns) {
    return ns + static_cast<std::uint64_t>(offset_ns);
}

/// The clocks of two CPUs differ by less, and so do the runqueue's and the wait's own.
constexpr std::uint64_t at_most_apart_ns = 100'000;

/// Since it was last seen to leave.
bool is_runnable(const Threads::Thread& thread) {
    return thread.left_ns != 0 && (thread.left == Left::preempted || thread.left == Left::yielded);
}

}  // namespace

Result<std::unique_ptr<Writer>> Writer::create(std::string path, const RecordingInfo& info,
                                               std::uint32_t named_tasks) {
    auto file = TraceFile::create(std::move(path));
    if (!file) {
        return tl::unexpected(file.error());
    }
    return std::unique_ptr<Writer>(new Writer(std::move(*file), info, named_tasks));
}

Writer::Writer(std::unique_ptr<TraceFile> file, const RecordingInfo& info,
               std::uint32_t named_tasks)
    : file_(std::move(file)),
      kernel_(info.kernel),
      machine_(info.machine),
      boottime_offset_ns_(info.boottime_offset_ns),
      named_tasks_(named_tasks),
      sched_(*file_) {}

Needs Writer::needs() const {
    Needs needs;
    needs.stretches = true;  // with which the runs come
    needs.parts = true;
    needs.named_tasks = named_tasks_;
    needs.process_names = true;
    return needs;
}

// Ftrace's times are of this clock, and so is everything else: Perfetto converts nothing.
std::uint64_t Writer::boottime(std::uint64_t monotonic_ns) const {
    return shifted(monotonic_ns, boottime_offset_ns_);
}

// First of all: what a state's number means depends on the kernel, and Perfetto takes one that it
// was not told for 4.4.
void Writer::write_system() {
    file_->packet([this](protozero::pbf_writer& packet) {
        protozero::pbf_writer system(packet, packet::system_info);
        protozero::pbf_writer uname(system, system_info::utsname);
        uname.add_string(system_info::sysname, "Linux");
        uname.add_string(system_info::release, text_of(kernel_));
        uname.add_string(system_info::machine, text_of(machine_));
    });
}

void Writer::write_clocks(std::uint64_t monotonic_ns, std::int64_t realtime_offset_ns) {
    clocks_told_ns_ = monotonic_ns;
    file_->packet([&](protozero::pbf_writer& packet) {
        packet.add_uint64(packet::timestamp, boottime(monotonic_ns));
        protozero::pbf_writer snapshot(packet, packet::clock_snapshot);
        write_clock(snapshot, clock_boottime, boottime(monotonic_ns));
        write_clock(snapshot, clock_monotonic, monotonic_ns);
        write_clock(snapshot, clock_realtime, shifted(monotonic_ns, realtime_offset_ns));
        snapshot.add_uint32(clock_snapshot::primary, clock_boottime);
    });
}

void Writer::begin(const RunInfo& info) {
    threads_.emplace(*file_, *info.names);
    slices_.emplace(*file_, *threads_, named_tasks_);
    write_system();
    write_clocks(info.began_ns, info.realtime_offset_ns);
    slices_->begin();
}

// Perfetto takes readings in their order alone.
void Writer::clock(const ClockReading& reading) {
    if (reading.ts_ns > clocks_told_ns_) {
        write_clocks(reading.ts_ns, reading.realtime_offset_ns);
    }
}

void Writer::ran(const Ran& ran) {
    const std::uint64_t end_ns = ran.end_ns == 0 ? 0 : boottime(ran.end_ns);
    sched_.ran(ran, end_ns);
    runs_.add(ran, end_ns);
    if (ran.task.tid != 0 && end_ns != 0) {
        note_departure(ran, end_ns);
    }
}

void Writer::note_departure(const Ran& ran, std::uint64_t end_ns) {
    const std::uint64_t began_ns = end_ns - std::min(end_ns, ran.length_ns);
    Threads::Thread& thread = threads_->thread(ran.task, began_ns);
    if (end_ns <= thread.left_ns) {
        return;  // a CPU may tell late of its last run before it idled
    }
    // How it came was not told: it may have waited all the time, or have run in a gap.
    const bool arrival_missing = thread.last_wait_ns + at_most_apart_ns < began_ns;
    if (arrival_missing && is_runnable(thread)) {
        (void)sched_.cut_at_gap(ran.task, ran.prio, thread.left_ns, began_ns);
    }
    thread.left = ran.left;
    thread.left_ns = end_ns;
}

void Writer::wait(const Wait& wait) {
    const std::uint64_t end_ns = boottime(wait.ts_ns);
    const std::uint64_t begin_ns = end_ns - std::min(end_ns, wait.wait_ns);
    Threads::Thread& thread = threads_->thread(wait.task, begin_ns);
    write_waking(wait, thread, begin_ns, end_ns);
    sched_.came(wait);
    slices_->wait(wait, thread, begin_ns, end_ns, runs_);
}

// Perfetto sees a thread become runnable where it leaves a CPU so, or where somebody wakes it. A
// waking while it is runnable would make a new state of the rest of its wait.
void Writer::write_waking(const Wait& wait, const Threads::Thread& thread, std::uint64_t begin_ns,
                          std::uint64_t end_ns) {
    const bool woken = wait.kind == WaitKind::woken || wait.kind == WaitKind::created;
    const bool seen_runnable = is_runnable(thread);
    const bool cut = seen_runnable && begin_ns > thread.left_ns + at_most_apart_ns &&
                     sched_.cut_at_gap(wait.task, wait.prio, thread.left_ns, begin_ns);
    // At the moment at which it left it is no waking yet, and when it is switched in none any more.
    const std::uint64_t ts_ns = std::max(begin_ns, thread.left_ns + 1);
    if ((woken || cut || !seen_runnable) && ts_ns < end_ns) {
        sched_.woken(wait, ts_ns);
    }
}

void Writer::loss(const Loss& loss) {
    sched_.lost(loss.cpu);
    slices_->loss(loss, boottime(loss.from_ns), boottime(loss.to_ns));
}

void Writer::end(const RunEnd& end) {
    sched_.end();
    threads_->complete(boottime(end.ended_ns));  // the session's names end with it
}

}  // namespace rqs::perfetto
