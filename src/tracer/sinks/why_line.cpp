// SPDX-License-Identifier: BSD-2-Clause
#include "sinks/why_line.h"

#include "model/names.h"
#include "sinks/columns.h"
#include "sinks/named_parts.h"
#include "sinks/short_path.h"
#include "sinks/words.h"
#include "util/safe_text.h"

namespace rqs::sinks {
namespace {

constexpr std::string_view separator = " · ";
constexpr std::size_t separator_columns = 3;
constexpr std::size_t end_columns = 2;  // " ·", should the line end behind the part
constexpr std::size_t path_width = 40;
constexpr std::uint64_t us = 1'000;

/// A limit, which somebody wrote in round numbers: 20 ms, 1.5 ms.
void round_duration(Line& line, std::uint64_t limit_us) {
    if (limit_us % 1000 == 0) {
        line.number(limit_us / 1000);
        line.text(" ms");
    } else {
        put_duration(line, limit_us * us);
    }
}

/// ` (fifo:50)` where a higher scheduling class ran; nothing for ordinary tasks.
void class_mark(Line& line, const Part& part) {
    constexpr std::int32_t first_ordinary_prio = 100;
    if (part.prio >= first_ordinary_prio) {
        return;
    }
    line.text(" (");
    if (part.policy == Policy::deadline) {
        line.text("deadline)");
        return;
    }
    // An ordinary task below 100 borrowed its priority from a waiter of its lock.
    const bool own = part.policy == Policy::fifo || part.policy == Policy::rr;
    line.text(own                              ? name(part.policy)
              : part.policy == Policy::unknown ? std::string_view("realtime")
                                               : std::string_view("boosted"));
    line.text(":");
    line.number(first_ordinary_prio - 1 - part.prio);
    line.text(")");
}

/// `+474 others 12.0 ms`
void others_words(Line& line, const OtherTasks& others) {
    line.text("+");
    line.number(others.count);
    line.text(others.count == 1 ? std::string_view(" other ") : std::string_view(" others "));
    put_duration(line, others.ns);
}

}  // namespace

void put_task_name(Line& line, const TaskId& task) {
    line.printable(task.comm);
    line.text(" ");
    line.number(task.tid);
}

void put_remarks(Line& line, const Wait& wait) {
    line.text(wait.stamped ? "" : " (unstamped)");
    line.text(wait.complete ? "" : " (incomplete)");
}

void WhyLine::part(Line& line, const Part& part, const Wait& wait) {
    const bool ran = part.kind == PartKind::ran;
    line.text(!ran                 ? name(part.kind)
              : part.kernel_thread ? std::string_view("kthread")
                                   : name(part.relation));
    line.text(" ");
    put_duration(line, part.ns);
    if (ran) {
        line.text(" ");
        put_task_name(line, part.task);
        class_mark(line, part);
    } else if (part.kind == PartKind::throttled) {
        quota(line, wait.sched_cgroup_id);
    }
}

/// ` (20 ms per 100 ms of /web)`
void WhyLine::quota(Line& line, std::uint64_t cgroup_id) const {
    const CgroupInfo* group = names_ == nullptr ? nullptr : names_->cgroup(cgroup_id);
    if (group == nullptr || !group->quota_us) {
        return;
    }
    line.text(" (");
    round_duration(line, *group->quota_us);
    line.text(" per ");
    round_duration(line, group->period_us);
    if (!group->quota_path.empty()) {
        line.text(" of ");
        line.text(short_cgroup_path(group->quota_path, path_width));
    }
    line.text(")");
}

/// Writes one part, on a line of its own where it would not fit behind the last.
void WhyLine::piece(Line& line, std::string_view text, bool first) {
    const std::size_t columns = display_columns(text);
    if (first) {
        line.text(": ");
        column_ += 2;
    } else if (width_ != 0 && column_ + separator_columns + columns + end_columns > width_) {
        line.text(" ·\n");
        line.text(indent);
        column_ = indent.size();
    } else {
        line.text(separator);
        column_ += separator_columns;
    }
    line.text(text);
    column_ += columns;
}

void WhyLine::put(Line& line, const Wait& wait) {
    line.text(indent);
    line.text(name(wait.cause));
    column_ = indent.size() + name(wait.cause).size();
    bool first = true;
    const auto put_piece = [&](auto&& words) {
        piece_.clear();
        Line own(piece_);
        words(own);
        own.finish();
        piece(line, piece_, first);
        first = false;
    };
    const OtherTasks others = show_parts(wait.why, named_tasks_, [&](const Part& each) {
        put_piece([&](Line& own) { part(own, each, wait); });
    });
    if (others.count > 0) {
        put_piece([&](Line& own) { others_words(own, others); });
    }
    remarks(line, wait);
}

void WhyLine::remarks(Line& line, const Wait& wait) {
    piece_.clear();
    Line own(piece_);
    put_remarks(own, wait);
    own.finish();
    if (width_ != 0 && column_ + piece_.size() > width_) {
        line.text("\n");
        line.text(indent.substr(1));  // they begin with a space
    }
    line.text(piece_);
}

}  // namespace rqs::sinks
