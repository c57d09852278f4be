// SPDX-License-Identifier: BSD-2-Clause
#include "html/document.h"

#include <fmt/format.h>

#include <algorithm>
#include <nlohmann/json.hpp>

#include "html/columns.h"
#include "model/names.h"
#include "util/safe_text.h"

namespace rqs::html {
namespace {

using nlohmann::json;

/// Task names and cgroup names are whatever somebody chose: they are shown as in the text report.
json text(std::string_view raw) {
    return util::printable(raw);
}

json column(const std::string& bytes) {
    return base64(bytes);
}

json recording(const Picture& picture, const RecordingInfo& info) {
    json out;
    out["tool"] = text(info.tool);
    out["host"] = text(info.host);
    out["kernel"] = text(info.kernel);
    out["machine"] = text(info.machine);
    out["command"] = text(fmt::format("{}", fmt::join(info.command_line, " ")));
    out["cpus"] = picture.run.cpus;
    out["everything"] = info.everything();
    const auto wall_ns =
        static_cast<std::int64_t>(picture.grid.origin_ns()) + picture.realtime_offset_ns;
    out["began_ms"] = static_cast<double>(wall_ns) / 1e6;
    out["duration_ns"] = picture.grid.since(picture.ended_ns);
    out["min_us"] = picture.run.min_us;
    out["waits"] = picture.waits;
    out["wait_ns"] = picture.wait_ns;
    out["longest_ns"] = picture.longest_ns;
    out["switches"] = picture.switches;
    out["left_out"] = picture.left_out;
    return out;
}

json actors(const Cast& cast) {
    json rows = json::array();
    for (const Actor& actor : cast.actors()) {
        rows.push_back({static_cast<int>(actor.kind), text(actor.label), actor.pid, actor.several,
                        actor.ran_ns});
    }
    return rows;
}

json tasks(const Cast& cast) {
    json rows = json::array();
    for (const Cast::Task& task : cast.tasks()) {
        rows.push_back({task.id.tid, task.id.pid, text(task.id.comm.view()), task.actor});
    }
    return rows;
}

json cgroups(const Cast& cast) {
    json rows = json::array();
    for (const std::string& path : cast.cgroups()) {
        rows.push_back(text(path));
    }
    return rows;
}

json parts(const Wait& wait, Cast& cast) {
    json rows = json::array();
    for (const Part& part : wait.why) {
        if (part.kind == PartKind::ran) {
            rows.push_back({name(part.kind), part.ns, cast.task(part.task, part.cgroup_id),
                            name(part.relation), name(part.policy), part.prio,
                            cast.cgroup(part.cgroup_id), name(cause_of_part(wait, part))});
        } else {
            rows.push_back(
                {name(part.kind), part.ns, cast.part(part.kind, wait.sched_cgroup_id), part.count});
        }
    }
    return rows;
}

json longest(const Picture& picture, Cast& cast) {
    json rows = json::array();
    for (const Wait& wait : picture.longest.waits()) {
        rows.push_back({picture.grid.since(wait.ts_ns), wait.wait_ns, wait.cpu,
                        cast.task(wait.task, wait.sched_cgroup_id), static_cast<int>(wait.cause),
                        name(wait.kind), name(wait.policy), wait.prio,
                        cast.cgroup(wait.sched_cgroup_id), parts(wait, cast)});
    }
    return rows;
}

json losses(const Picture& picture) {
    json rows = json::array();
    for (const Loss& loss : picture.losses.losses()) {
        const json cpu = loss.cpu == Loss::any_cpu ? json() : json(loss.cpu);
        rows.push_back({cpu, picture.grid.since(loss.from_ns), picture.grid.since(loss.to_ns),
                        loss.lost, name(loss.reason)});
    }
    return rows;
}

json cause_names() {
    json names = json::array();
    for (std::size_t i = 0; i < cause_count; ++i) {
        names.push_back(name(static_cast<Cause>(i)));
    }
    return names;
}

std::size_t joined_bins(std::size_t used, std::size_t joined) {
    return (used + joined - 1) / joined;
}

json grids(const Picture& picture) {
    const TimeGrid& grid = picture.grid;
    const std::uint64_t last_ns = std::max(picture.ended_ns, grid.origin_ns() + 1) - 1;
    const std::size_t used = grid.bin(last_ns) + 1;
    json out;
    out["width_ns"] = grid.width_ns();
    out["bins"] = used;
    out["per_octave"] = LengthBuckets::per_octave;
    out["first_octave"] = LengthBuckets::first_octave;
    out["buckets"] = LengthBuckets::size;
    out["causes"] = cause_names();
    out["lengths"] = column(picture.lengths.lengths_column(used));
    out["longest"] = column(picture.lengths.longest_column(used));
    out["cause_ns"] = column(picture.lengths.causes_column(used));
    out["pair_bins"] = joined_bins(used, PairGrid::joined);
    out["pair_joined"] = PairGrid::joined;
    out["pairs"] = column(picture.pairs.column(joined_bins(used, PairGrid::joined)));
    const std::size_t lane_bins = joined_bins(used, picture.lanes.joined());
    out["lane_bins"] = lane_bins;
    out["lane_joined"] = picture.lanes.joined();
    out["share_whole"] = LaneGrid::whole;
    out["shares"] = column(picture.lanes.shares_column(grid, lane_bins));
    out["peaks"] = column(picture.lanes.peaks_column(grid));
    return out;
}

/// JSON has `<` within its strings alone.
std::string without_markup(const std::string& text) {
    std::string out;
    out.reserve(text.size());
    for (const char c : text) {
        if (c == '<' || c == '>' || c == '&') {
            out += fmt::format("\\u{:04x}", static_cast<unsigned>(c));
        } else {
            out += c;
        }
    }
    return out;
}

std::string written(const json& value) {
    return without_markup(value.dump(-1, ' ', true, json::error_handler_t::replace));
}

}  // namespace

void list_waits(Picture& picture) {
    picture.listed = written(longest(picture, picture.cast));
}

std::string document(Picture& picture, const RecordingInfo& info,
                     const std::vector<std::string>& damage, std::size_t most_bytes) {
    json out;
    out["recording"] = recording(picture, info);
    out["grid"] = grids(picture);
    out["actors"] = actors(picture.cast);
    out["tasks"] = tasks(picture.cast);
    out["cgroups"] = cgroups(picture.cast);
    out["losses"] = losses(picture);
    out["damage"] = json::array();
    for (const std::string& line : damage) {
        out["damage"].push_back(text(line));
    }
    std::string whole = written(out);
    whole.pop_back();
    whole += ",\"waits\":";
    whole += picture.listed;

    const std::size_t room = most_bytes - std::min(most_bytes, whole.size());
    picture.runs.shrink(room / 4 * 3);
    json runs;
    runs["tick_ns"] = RunStore::tick_ns;
    runs["complete"] = picture.runs.complete();
    runs["column"] = column(picture.runs.column());
    whole += ",\"runs\":";
    whole += written(runs);
    whole += '}';
    return whole;
}

std::string page(std::string_view page_template, std::string_view data) {
    static constexpr std::string_view place = "@@DATA@@";
    const std::size_t at = page_template.find(place);
    std::string out(page_template.substr(0, at));
    out += data;
    if (at != std::string_view::npos) {
        out += page_template.substr(at + place.size());
    }
    return out;
}

}  // namespace rqs::html
