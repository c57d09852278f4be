// SPDX-License-Identifier: BSD-2-Clause
#include "html/writer.h"

#include <fcntl.h>
#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "html/page_template.h"
#include "util/fd.h"
#include "util/output.h"
#include "util/safe_text.h"

namespace rqs::html {

Result<std::unique_ptr<Writer>> Writer::create(std::string path, GroupBy by) {
    if (page_template().empty()) {
        return fail(
            "--html: this program was built without npm, so it has no page to fill; build it where "
            "node and npm are installed");
    }
    auto file = util::NewFile::create(std::move(path));
    if (!file) {
        return tl::unexpected(file.error());
    }
    return std::unique_ptr<Writer>(new Writer(std::move(*file), by));
}

Needs Writer::needs() const {
    Needs needs;
    needs.stretches = true;  // with which the runs come
    needs.parts = true;
    needs.named_tasks = named_tasks;
    needs.process_names = true;
    needs.cgroup_names = true;
    return needs;
}

void Writer::begin(const RunInfo& info) {
    picture_.emplace(by_, info);
    picture_->realtime_offset_ns = info.realtime_offset_ns;
    arrivals_.resize(std::max(info.cpus, 1U));
}

/// Makes room in the bins for what happened then.
void Writer::reach(std::uint64_t ns) {
    Picture& picture = *picture_;
    while (!picture.grid.covers(ns)) {
        picture.grid.widen();
        picture.lengths.fold();
        picture.pairs.fold();
        picture.lanes.fold();
        picture.longest.fold();
    }
}

void Writer::ran(const Ran& ran) {
    Picture& picture = *picture_;
    ++picture.switches;
    const TimeGrid& grid = picture.grid;
    if (ran.end_ns <= grid.origin_ns() || ran.length_ns == 0) {
        return;
    }
    reach(ran.end_ns);
    const std::uint64_t from_ns =
        std::max(ran.end_ns - std::min(ran.end_ns, ran.length_ns), grid.origin_ns());
    const std::uint32_t task = picture.cast.task(ran.task, ran.cgroup_id);
    picture.cast.count_run(picture.cast.actor_of(task), ran.ran_ns);
    picture.lanes.ran(grid, ran.cpu, from_ns, ran.end_ns, picture.cast.actor_of(task));

    RunStore::Run run{ran.cpu, grid.since(from_ns), grid.since(ran.end_ns), task, ran.left};
    if (ran.cpu < arrivals_.size()) {
        const Arrival arrival = std::exchange(arrivals_[ran.cpu], {});
        if (arrival.wait_ns > 0 && arrival.tid == ran.task.tid && arrival.ts_ns < ran.end_ns) {
            run.waited_ns = arrival.wait_ns;
            run.cause = arrival.cause;
        }
    }
    picture.runs.add(run);
}

void Writer::wait(const Wait& wait) {
    Picture& picture = *picture_;
    reach(wait.ts_ns);
    ++picture.waits;
    picture.wait_ns += wait.wait_ns;
    picture.longest_ns = std::max(picture.longest_ns, wait.wait_ns);
    const TimeGrid& grid = picture.grid;
    const std::uint32_t task = picture.cast.task(wait.task, wait.sched_cgroup_id);
    const bool worst = picture.longest.is_worst(wait.wait_ns);
    picture.lengths.add(grid, wait);
    picture.pairs.add(grid, wait, picture.cast.actor_of(task), picture.cast);
    picture.lanes.wait(grid, wait, task);
    picture.longest.add(grid, wait);
    const std::uint64_t end_ns = grid.since(wait.ts_ns);
    picture.runs.value(wait.cpu, end_ns - std::min(end_ns, wait.wait_ns), wait.wait_ns, worst);
    if (wait.cpu < arrivals_.size()) {
        arrivals_[wait.cpu] = {wait.task.tid, wait.ts_ns, wait.wait_ns, wait.cause};
    }
}

void Writer::loss(const Loss& loss) {
    picture_->losses.add(loss);
}

void Writer::end(const RunEnd& end) {
    picture_->ended_ns = end.ended_ns;
    picture_->left_out = end.counters.left_out;
    reach(end.ended_ns);
    list_waits(*picture_);  // the session's names end with it
}

Status Writer::publish(const RecordingInfo& info, const std::vector<std::string>& damage) {
    const std::size_t room = most_page_bytes - std::min(most_page_bytes, page_template().size());
    const std::string whole = page(page_template(), document(*picture_, info, damage, room));
    const util::Fd fd(::open(file_.temporary_path().c_str(), O_WRONLY | O_CLOEXEC));
    util::Output out(fd.get(), fmt::format("'{}'", util::printable(file_.path())));
    out.buffer() = whole;
    if (auto written = out.finish(); !written) {
        return written;
    }
    return file_.publish();
}

}  // namespace rqs::html
