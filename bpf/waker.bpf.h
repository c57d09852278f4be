/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause) */
/* Who woke a task (--waker): a table written at each wakeup and read at the switch-in. */
#ifndef RQS_BPF_WAKER_H
#define RQS_BPF_WAKER_H

#include "bpf/history.bpf.h"

struct waker {
    u64 check; /* of all the rest and the woken task: a record torn by two CPUs is taken for none */
    u32 tid;
    u32 pid;
    u64 comm[2];
    u32 cpu;
    u32 interrupt;
};

struct {
    __uint(type, BPF_MAP_TYPE_ARRAY);
    __uint(max_entries, RQS_WAKER_SLOTS);
    __type(key, u32);
    __type(value, struct waker);
} wakers SEC(".maps");

static __always_inline struct waker* waker_of(struct task_struct* task) {
    u32 slot = task->pid & (RQS_WAKER_SLOTS - 1);

    return bpf_map_lookup_elem(&wakers, &slot);
}

static __always_inline u64 waker_check(const struct waker* waker, u64 owner) {
    return owner ^ ((u64)waker->tid << 32 | waker->pid) ^ waker->comm[0] ^
           (waker->comm[1] << 7 | waker->comm[1] >> 57) ^
           ((u64)waker->cpu << 33 | (u64)waker->interrupt << 1 | 1);
}

/* Moves what is known of the wakeup into the wait, and returns the wait's flags for it; a wait
   without a wakeup finds nothing. */
static __always_inline u32 take_waker(struct task_struct* task, struct rqs_wait_b* b) {
    struct waker* slot = waker_of(task);
    struct waker copy;

    if (!slot)
        return 0;
    copy = *slot;
    if (copy.check != waker_check(&copy, identity(task)))
        return 0;
    slot->check = 0;
    b->waker_tid = copy.tid;
    b->waker_pid = copy.pid;
    b->waker_cpu = copy.cpu;
    ((u64*)b->waker_comm)[0] = copy.comm[0];
    ((u64*)b->waker_comm)[1] = copy.comm[1];
    return RQS_WAIT_WAKER | (copy.interrupt ? RQS_WAIT_WAKER_IRQ : 0);
}

/*
 * A task that leaves the CPU runnable waits for no wakeup: one that came while it ran (or was about
 * to sleep) must not be taken for the reason of its next wait.
 */
static __always_inline void forget_waker(struct task_struct* prev, bool preempt) {
    struct waker* slot;

    if (!preempt && about_to_sleep(prev))
        return;
    slot = waker_of(prev);
    if (slot)
        slot->check = ~slot->check;
}

#endif
