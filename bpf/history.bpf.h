/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause) */
/* What a CPU did last: one slot a switch, and one where a group was found to have been throttled.
 */
#ifndef RQS_BPF_HISTORY_H
#define RQS_BPF_HISTORY_H

#include "bpf/state.bpf.h"

static __always_inline struct rqs_slot* history_at(struct rqs_cpu* cpu, u32 seq) {
    return (void*)cpu + RQS_HISTORY_OFFSET +
           (u64)(seq & (knobs.history_slots - 1)) * RQS_SLOT_BYTES;
}

static __always_inline void copy_slot(struct rqs_slot* to, const struct rqs_slot* from) {
    u64* out = (u64*)to;
    const u64* in = (const u64*)from;

    for (int i = 0; i < RQS_SLOT_BYTES / 8; i++)
        out[i] = in[i];
}

/*
 * The cgroup by which the scheduler groups the task; plain loads, since it is read at each switch.
 * An autogroup (of a terminal session) is not a cgroup: its tasks are in the root one.
 */
static __always_inline u64 sched_cgroup_id(struct task_struct* task) {
    struct cgroup* cgroup =
        knobs.cpu_controller_is_v1 ? task->sched_task_group->css.cgroup : task->cgroups->dfl_cgrp;

    return cgroup ? cgroup->kn->id : 1;
}

static __always_inline u8 policy_of(struct task_struct* task) {
    return (task->policy & RQS_POLICY_MASK) | ((task->flags & PF_KTHREAD) ? RQS_POLICY_KTHREAD : 0);
}

static __always_inline void copy_comm(char* to, struct task_struct* task) {
    ((u64*)to)[0] = ((const u64*)task->comm)[0];
    ((u64*)to)[1] = ((const u64*)task->comm)[1];
}

/* Writes down that `prev` had the CPU until `clock`. */
static __always_inline void history_add_run(struct rqs_cpu* cpu, struct rq* rq,
                                            struct task_struct* prev, u64 clock) {
    u32 seq = cpu->seq;
    struct rqs_run* run = (void*)history_at(cpu, seq);
    u32 tid = prev->pid;

    cpu->seq = seq + 1;
    run->kind = RQS_KIND_RUN;
    run->seq = seq;
    run->end_ns = clock;
    run->tid = tid;
    run->pid = prev->tgid;
    run->irq_ns = irq_time_ns(rq);
    run->steal_ns = steal_time_ns(rq);
    run->policy = policy_of(prev);
    run->prio = prev->prio;
    copy_comm(run->comm, prev);
    run->cgroup_id = tid ? sched_cgroup_id(prev) : 0;
}

/*
 * Looks whether the group's runqueue of `next` was throttled since the last look, and writes that
 * down for the waits that it explains. Total and start are taken from the same clock (pelt), so
 * that they fit together; throttled_clock_self_time (6.6) has no start that outlives the
 * throttling.
 */
static __always_inline void history_add_throttle(struct rqs_cpu* cpu, struct rq* rq,
                                                 struct cfs_rq* cfs_rq, u64 group, u64 clock) {
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
    entry = (void*)history_at(cpu, cpu->seq);
    entry->kind = RQS_KIND_THROTTLE;
    entry->seq = cpu->seq;
    entry->end_ns = clock;
    entry->group = group;
    entry->total_ns = first ? RQS_THROTTLE_UNKNOWN : total - before;
    entry->ago_ns = rq->clock_pelt - cfs_rq->throttled_clock_pelt;
    entry->since_ns = since;
    cpu->seq++;
}

#endif
