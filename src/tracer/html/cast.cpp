// SPDX-License-Identifier: BSD-2-Clause
#include "html/cast.h"

#include <fmt/format.h>

#include <string_view>

namespace rqs::html {
namespace {

constexpr std::size_t cache_size = 4096;
constexpr std::size_t most_cgroups = 4096;

/// Kernel workers change their names with what they work on; they are one crowd.
std::string_view without_work(std::string_view comm) {
    return comm.starts_with("kworker/") ? comm.substr(0, 7) : comm;
}

Actor::Kind kind_of(PartKind kind) {
    switch (kind) {
        case PartKind::idle:
            return Actor::Kind::idle;
        case PartKind::throttled:
            return Actor::Kind::throttled;
        case PartKind::elsewhere:
            return Actor::Kind::elsewhere;
        case PartKind::irq:
            return Actor::Kind::irq;
        case PartKind::steal:
            return Actor::Kind::steal;
        case PartKind::unknown:
            return Actor::Kind::unknown;
        case PartKind::ran:
        case PartKind::others:
            break;
    }
    return Actor::Kind::others;
}

}  // namespace

Cast::Cast(GroupBy by, const KnownNames* names) : by_(by), names_(names), cache_(cache_size) {
    actor(Actor::Kind::idle, "", 0);
    actor(Actor::Kind::others, "", 0);
    cgroups_.emplace_back();
    add_task({}, idle);
    add_task({}, others);
}

std::string Cast::label_of(const TaskId& id, std::uint64_t cgroup_id, bool& sure) const {
    sure = true;
    if (by_ == GroupBy::cgroup) {
        const CgroupInfo* told = names_ == nullptr ? nullptr : names_->cgroup(cgroup_id);
        sure = told != nullptr;
        return told != nullptr ? told->path : fmt::format("cgroup {}", cgroup_id);
    }
    if (by_ == GroupBy::thread) {
        return fmt::format("{} {}", id.comm.view(), id.tid);
    }
    // What the source told of a process may be older than its exec(); the main thread is up to
    // date.
    if (by_ != GroupBy::comm && names_ != nullptr && id.tid != id.pid) {
        if (const ProcessInfo* told = names_->process(id.pid)) {
            return std::string(without_work(told->comm.view()));
        }
        sure = false;
    }
    return std::string(without_work(id.comm.view()));
}

std::uint32_t Cast::task(const TaskId& id, std::uint64_t cgroup_id) {
    if (id.tid == 0) {
        return idle;
    }
    Cached& cached = cache_[id.tid % cache_size];
    if (cached.filled && cached.id.tid == id.tid && cached.id.pid == id.pid &&
        cached.id.comm == id.comm && cached.cgroup_id == cgroup_id) {
        return cached.task;
    }
    bool sure = false;  // else a better name may be told later
    const std::uint32_t whose = actor(Actor::Kind::task, label_of(id, cgroup_id, sure), id.pid);
    const std::uint32_t number = add_task(id, whose);
    cached = {sure, id, cgroup_id, number};
    return number;
}

std::uint32_t Cast::add_task(const TaskId& id, std::uint32_t actor) {
    std::string key = fmt::format("{} {} {} {}", id.tid, id.pid, actor, id.comm.view());
    if (const auto known = task_numbers_.find(key); known != task_numbers_.end()) {
        return known->second;
    }
    if (id.tid != 0 && tasks_.size() >= most_tasks) {
        return add_task({}, actor);
    }
    const auto number = static_cast<std::uint32_t>(tasks_.size());
    tasks_.push_back({id, actor});
    task_numbers_.emplace(std::move(key), number);
    return number;
}

std::uint32_t Cast::actor(Actor::Kind kind, const std::string& label, std::uint32_t pid) {
    const std::string key = static_cast<char>('a' + static_cast<int>(kind)) + label;
    if (const auto known = actor_numbers_.find(key); known != actor_numbers_.end()) {
        Actor& actor = actors_[known->second];
        actor.several = actor.several || actor.pid != pid;
        return known->second;
    }
    if (actors_.size() >= most_actors) {
        return others;
    }
    const auto number = static_cast<std::uint32_t>(actors_.size());
    actors_.push_back({kind, label, pid});
    actor_numbers_.emplace(key, number);
    return number;
}

std::uint32_t Cast::part(PartKind kind, std::uint64_t cgroup_id) {
    std::string owner;
    if (kind == PartKind::throttled && names_ != nullptr) {
        const CgroupInfo* told = names_->cgroup(cgroup_id);
        owner = told == nullptr ? "" : told->quota_path.empty() ? told->path : told->quota_path;
    }
    return actor(kind_of(kind), owner, 0);
}

std::uint32_t Cast::cgroup(std::uint64_t id) {
    if (const auto known = cgroup_numbers_.find(id); known != cgroup_numbers_.end()) {
        return known->second;
    }
    const CgroupInfo* told = names_ == nullptr ? nullptr : names_->cgroup(id);
    if (told == nullptr || cgroups_.size() >= most_cgroups) {
        return 0;
    }
    const auto number = static_cast<std::uint32_t>(cgroups_.size());
    cgroups_.push_back(told->path);
    cgroup_numbers_.emplace(id, number);
    return number;
}

}  // namespace rqs::html
