// SPDX-License-Identifier: BSD-2-Clause
// Who appears in the page, as numbers: tasks, and the actors that they are shown as.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <unordered_map>
#include <vector>

#include "model/event.h"
#include "model/known_names.h"
#include "model/options.h"

namespace rqs::html {

/// One colour, one row: all processes of a name (or all tasks of what --by says), the idle task, or
/// what is no task and keeps others waiting all the same.
struct Actor {
    enum class Kind : std::uint8_t {
        idle,
        others,
        task,
        throttled,
        elsewhere,
        irq,
        steal,
        unknown
    };
    Kind kind = Kind::others;
    std::string label;      ///< raw
    std::uint32_t pid = 0;  ///< of the first process that was seen
    bool several = false;   ///< there were more
    std::uint64_t ran_ns = 0;
};

/// At most `most_actors` and `most_tasks`; whoever comes later is `others`, or its actor without a
/// thread's number.
class Cast {
  public:
    static constexpr std::uint32_t idle = 0;
    static constexpr std::uint32_t others = 1;
    static constexpr std::size_t most_actors = 4096;
    static constexpr std::size_t most_tasks = 16384;

    struct Task {
        TaskId id;  ///< tid 0: any of the actor's
        std::uint32_t actor = others;
    };

    Cast(GroupBy by, const KnownNames* names);

    /// The number of a task. `cgroup_id`: as Wait::sched_cgroup_id.
    std::uint32_t task(const TaskId& id, std::uint64_t cgroup_id);
    /// The actor for a part that is no task. `cgroup_id` is the waiter's: a quota has an owner.
    std::uint32_t part(PartKind kind, std::uint64_t cgroup_id);
    /// A cgroup of the cpu controller's hierarchy; 0 where its path is not known.
    std::uint32_t cgroup(std::uint64_t id);

    [[nodiscard]] std::uint32_t actor_of(std::uint32_t task) const { return tasks_[task].actor; }
    void count_run(std::uint32_t actor, std::uint64_t ns) { actors_[actor].ran_ns += ns; }

    [[nodiscard]] const std::vector<Actor>& actors() const { return actors_; }
    [[nodiscard]] const std::vector<Task>& tasks() const { return tasks_; }
    [[nodiscard]] const std::vector<std::string>& cgroups() const { return cgroups_; }  ///< raw

  private:
    struct Cached {
        bool filled = false;
        TaskId id;
        std::uint64_t cgroup_id = 0;
        std::uint32_t task = 0;
    };

    std::string label_of(const TaskId& id, std::uint64_t cgroup_id, bool& sure) const;
    std::uint32_t actor(Actor::Kind kind, const std::string& label, std::uint32_t pid);
    std::uint32_t add_task(const TaskId& id, std::uint32_t actor);

    GroupBy by_;
    const KnownNames* names_;
    std::vector<Cached> cache_;
    std::vector<Actor> actors_;
    std::vector<Task> tasks_;
    std::vector<std::string> cgroups_;
    std::unordered_map<std::string, std::uint32_t> actor_numbers_;
    std::unordered_map<std::string, std::uint32_t> task_numbers_;
    std::unordered_map<std::uint64_t, std::uint32_t> cgroup_numbers_;
};

}  // namespace rqs::html
