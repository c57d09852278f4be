/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause) */
/* What a CPU did last: one slot a switch, and one where a group was found to have been throttled.
 */
#ifndef RQS_BPF_HISTORY_H
#define RQS_BPF_HISTORY_H

#include "bpf/state.bpf.h"

static __always_inline struct rqs_slot* ring_at(struct rqs_cpu* cpu, u64 position, u64 ring_mask) {
    return (void*)cpu + RQS_RING_OFFSET + (position & ring_mask) * RQS_SLOT_BYTES;
}

/* The position of the slot that is written as the CPU's `fresh`th since the last publication. */
static __always_inline u64 history_position(struct rqs_cpu* cpu, u32 fresh, u64 history_mask) {
    return cpu->head + RQS_WAIT_SLOTS + (fresh & history_mask);
}

/*
 * The cgroup by which the scheduler groups the task; plain loads, since it is read at each switch.
 * An autogroup (of a terminal session) is not a cgroup: its tasks are in the root one.
 */
static __always_inline u64 sched_cgroup_id(struct task_struct* task, u64 modes) {
    struct cgroup* cgroup = MODE(modes, cpu_controller_is_v1) ? task->sched_task_group->css.cgroup
                                                              : task->cgroups->dfl_cgrp;

    return cgroup ? cgroup->kn->id : 1;
}

/* SCHED_* and whether it is a kernel thread. */
static __always_inline u8 policy_of(struct task_struct* task) {
    return (task->policy & RQS_POLICY_MASK) | ((task->flags & PF_KTHREAD) ? RQS_POLICY_KTHREAD : 0);
}

static __always_inline void copy_comm(char* to, struct task_struct* task) {
    ((u64*)to)[0] = ((const u64*)task->comm)[0];
    ((u64*)to)[1] = ((const u64*)task->comm)[1];
}

/* Writes down that `prev` had the CPU until `clock`. Returns the slot's number. */
static __always_inline u32 history_add_run(struct rqs_cpu* cpu, struct rq* rq,
                                           struct task_struct* prev, u8 left, u64 clock,
                                           const struct hot_knobs* hot) {
    u32 seq = cpu->seq;
    u32 fresh = cpu->fresh;
    u64 position = history_position(cpu, fresh, hot->history_mask);
    struct rqs_run* run = (void*)ring_at(cpu, position, hot->ring_mask);
    u32 tid = prev->pid;
    u64 irq = irq_time_ns(rq);
    u64 steal = steal_time_ns(rq);

    cpu->seq = seq + 1;
    cpu->fresh = fresh + 1;
    cpu->newest_run = position;
    run->kind = RQS_KIND_RUN;
    run->seq = seq;
    run->end_ns = clock;
    run->tid = tid;
    run->pid = prev->tgid;
    run->irq_low = irq;
    run->irq_high = irq >> 32;
    run->steal_low = steal;
    run->steal_high = steal >> 32;
    run->policy = policy_of(prev) | left << RQS_LEFT_SHIFT;
    run->prio = prev->prio;
    copy_comm(run->comm, prev);
    run->cgroup_id = tid ? sched_cgroup_id(prev, hot->modes) : 0;
    run->ppid = MODE(hot->modes, with_parents) ? parent_pid(prev) : 0;
    return seq;
}

/*
 * Looks whether the group's runqueue of `next` was throttled since the last look, and writes that
 * down for the waits that it explains. Total and start are taken from the same clock (pelt), so
 * that they fit together; throttled_clock_self_time (6.6) has no start that outlives the
 * throttling.
 */
static __always_inline void history_add_throttle(struct rqs_cpu* cpu, struct rq* rq,
                                                 struct cfs_rq* cfs_rq, u32 group, u64 clock,
                                                 const struct hot_knobs* hot) {
    struct rqs_throttle_seen* seen =
        (void*)cpu + RQS_THROTTLE_OFFSET + (group & (RQS_THROTTLE_SLOTS - 1)) * sizeof(*seen);
    bool first = seen->group != group;
    u64 since = first ? 0 : seen->looked_ns;
    u64 before = first ? 0 : seen->total_ns;
    u64 total = cfs_rq->throttled_clock_pelt_time;
    struct rqs_throttle* entry;

    seen->group = group;
    seen->total_ns = total;
    seen->looked_ns = clock;
    if (total == before)
        return;
    entry =
        (void*)ring_at(cpu, history_position(cpu, cpu->fresh, hot->history_mask), hot->ring_mask);
    entry->kind = RQS_KIND_THROTTLE;
    entry->seq = cpu->seq;
    entry->end_ns = clock;
    entry->group = group;
    entry->total_ns = first ? RQS_THROTTLE_UNKNOWN : total - before;
    entry->ago_ns = rq->clock_pelt - cfs_rq->throttled_clock_pelt;
    entry->since_ns = since;
    cpu->seq++;
    cpu->fresh++;
}

#endif
