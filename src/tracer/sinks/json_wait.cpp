// SPDX-License-Identifier: BSD-2-Clause
// A wait as an object of JSON, wherever it stands (docs/OUTPUT_SCHEMA.md).
#include "model/names.h"
#include "sinks/json_fields.h"
#include "sinks/named_parts.h"

namespace rqs::sinks::json {
namespace {

void waker(Line& line, const Waker& waker) {
    field(line, R"(,"waker":{"cpu":)", waker.cpu);
    task(line, waker.task);
    line.text(waker.interrupt ? R"(,"context":"interrupt"})" : R"(,"context":"task"})");
}

void ran_part(Line& line, const Part& part) {
    task(line, part.task);
    word(line, R"(,"relation":")", name(part.relation));
    field(line, ",\"cgroup_id\":", part.cgroup_id);
    scheduling(line, part.policy, part.prio);
    if (part.kernel_thread) {
        line.text(",\"kthread\":true");
    }
}

/// Null where nobody told.
const CgroupInfo* cgroup(const KnownNames* names, std::uint64_t id) {
    return names == nullptr ? nullptr : names->cgroup(id);
}

void why(Line& line, const Wait& wait, const KnownNames* names, std::uint32_t named_tasks) {
    std::string_view start = R"({"kind":")";
    line.text(",\"why\":[");
    const OtherTasks others = show_parts(wait.why, named_tasks, [&](const Part& part) {
        line.text(start);
        line.text(name(part.kind));
        field(line, R"(","ns":)", part.ns);
        if (part.kind == PartKind::ran) {
            ran_part(line, part);
        } else if (part.kind == PartKind::throttled) {
            quota(line, wait.sched_cgroup_id, names);
        }
        line.text("}");
        start = R"(,{"kind":")";
    });
    if (others.count > 0) {
        line.text(start);
        field(line, R"(others","ns":)", others.ns);
        field(line, ",\"count\":", others.count);
        line.text("}");
    }
    line.text("]");
}

}  // namespace

void time(Line& line, const util::LocalTime::Moment& moment) {
    line.text("\"");
    line.text(moment.date);
    line.text(".");
    line.micros(moment.micros);
    line.text(moment.zone);
    line.text("\"");
}

void scheduling(Line& line, Policy policy, std::int16_t prio) {
    word(line, R"(,"policy":")", name(policy));
    line.text(",\"prio\":");
    line.number(prio);
}

void quota(Line& line, std::uint64_t sched_cgroup_id, const KnownNames* names) {
    const CgroupInfo* group = cgroup(names, sched_cgroup_id);
    if (group == nullptr || !group->quota_us) {
        return;
    }
    field(line, ",\"quota_us\":", *group->quota_us);
    field(line, ",\"period_us\":", group->period_us);
    line.text(",\"quota_cgroup\":");
    line.json_string(group->quota_path);
}

void cgroups(Line& line, std::uint64_t id, std::uint64_t sched_id, const KnownNames* names) {
    field(line, ",\"cgroup_id\":", id);
    const CgroupInfo* told = names == nullptr ? nullptr : names->v2_cgroup(id);
    if (told != nullptr) {
        line.text(",\"cgroup\":");
        line.json_string(told->path);
    }
    if (sched_id == id) {
        return;
    }
    field(line, ",\"sched_cgroup_id\":", sched_id);
    if (const CgroupInfo* group = cgroup(names, sched_id)) {
        line.text(",\"sched_cgroup\":");
        line.json_string(group->path);
    }
}

void wait_fields(Line& line, const Wait& wait, const KnownNames* names, std::uint32_t named_tasks) {
    field(line, ",\"cpu\":", wait.cpu);
    task(line, wait.task);
    field(line, ",\"wait_ns\":", wait.wait_ns);
    word(line, R"(,"kind":")", name(wait.kind));
    field(line, ",\"prev_tid\":", wait.prev.tid);
    field(line, ",\"prev_pid\":", wait.prev.pid);
    line.text(",\"prev_comm\":");
    line.json_string(wait.prev.comm);
    cgroups(line, wait.cgroup_id, wait.sched_cgroup_id, names);
    line.text(wait.stamped ? ",\"stamped\":true" : ",\"stamped\":false");
    if (!wait.complete) {
        line.text(",\"complete\":false");
    }
    scheduling(line, wait.policy, wait.prio);
    word(line, R"(,"cause":")", name(wait.cause));
    why(line, wait, names, named_tasks);
    if (wait.waker) {
        waker(line, *wait.waker);
    }
}

}  // namespace rqs::sinks::json
