/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause) */
/*
 * The few kernel types that the programs look into, with the few fields that they read. CO-RE finds
 * the fields in the running kernel's BTF, so neither order nor neighbours matter, and no generated
 * vmlinux.h is needed to build. Every difference between kernels stands here; a field that only
 * some kernels have is read only where bpf_core_field_exists(). They stand in the one struct and
 * not in a flavour each, since libbpf searches all of the kernel's types once for each struct.
 */
#ifndef RQS_BPF_KERNEL_H
#define RQS_BPF_KERNEL_H

typedef unsigned char __u8;
typedef unsigned short __u16;
typedef unsigned int __u32;
typedef unsigned long long __u64;
typedef signed char __s8;
typedef short __s16;
typedef int __s32;
typedef long long __s64;
typedef __u16 __be16;
typedef __u32 __be32;
typedef __u32 __wsum;
typedef __u64 u64;
typedef __u32 u32;
typedef __u8 u8;
typedef _Bool bool;

enum { false = 0, true = 1 };

enum {
    BPF_MAP_TYPE_HASH = 1,
    BPF_MAP_TYPE_ARRAY = 2,
    BPF_MAP_TYPE_RINGBUF = 27,
    BPF_F_MMAPABLE = 1 << 10,
    BPF_RB_NO_WAKEUP = 1 << 0,
    BPF_RB_FORCE_WAKEUP = 1 << 1,
};

struct seq_file;
struct bpf_map;

#include <bpf/bpf_core_read.h>
#include <bpf/bpf_helpers.h>

#include "contract/wire.h"

#define barrier_var_u64(var) asm volatile("" : "+r"(var))

enum { PF_KTHREAD = 0x00200000 };

#pragma clang attribute push(__attribute__((preserve_access_index)), apply_to = record)

struct kernfs_node {
    u64 id;
};

struct cgroup {
    struct kernfs_node* kn;
    int level;
    struct cgroup* ancestors[0]; /* or: */
    u64 ancestor_ids[0]; /* until 7f203bc89eb6 "cgroup: Replace cgroup->ancestor_ids[]", 6.1 */
};

struct cgroup_subsys_state {
    struct cgroup* cgroup;
    u64 serial_nr; /* of all groups ever, never given again; 0 in an autogroup */
};

struct css_set {
    struct cgroup* dfl_cgrp;
};

struct task_group {
    struct cgroup_subsys_state css;
};

struct ns_common {
    unsigned int inum;
};

struct mnt_namespace {
    struct ns_common ns;
};

struct nsproxy {
    struct mnt_namespace* mnt_ns;
};

struct task_struct;
struct rq;

struct cfs_rq {
    struct rq* rq;
    u64 throttled_clock_pelt;
    u64 throttled_clock_pelt_time;
    unsigned int throttle_count;
};

struct rq {
    u64 clock;
    u64 clock_pelt;
    int cpu;
    struct cfs_rq cfs; /* of the root group */
    struct task_struct* curr;
    u64 prev_irq_time;      /* CONFIG_IRQ_TIME_ACCOUNTING */
    u64 prev_steal_time_rq; /* CONFIG_PARAVIRT_TIME_ACCOUNTING: read whenever the clock is */
    u64 prev_steal_time;    /* CONFIG_PARAVIRT: read once a tick */
};

struct sched_entity {
    struct cfs_rq* cfs_rq;
    u64 sum_exec_runtime;
};

struct cpumask {
    unsigned long bits[1];
};

struct sched_info {
    unsigned long pcount;
    unsigned long long run_delay;
    unsigned long long last_queued;
};

/* Registers of user space as a system call left them. */
struct pt_regs {
    unsigned long orig_ax; /* x86 */
    int syscallno;         /* arm64 */
};

struct task_struct {
    unsigned int __state; /* or: */
    long state;           /* until 2f064a59a11f "sched: Change task_struct::state", 5.14 */
    void* stack;
    unsigned int flags;
    unsigned int on_cpu;
    int prio;
    unsigned int policy;
    int nr_cpus_allowed;
    /* And not what cpus_ptr points to, which is one CPU while migration is disabled:
       3bd3706251ee "sched/core: Provide a pointer to the valid CPU mask", 5.3 */
    struct cpumask cpus_mask;
    struct sched_entity se;
    struct task_group* sched_task_group;
    bool throttled; /* e1fad12dcb66 "sched/fair: Switch to task based throttle model", 6.18 */
    struct sched_info sched_info;
    int pid;
    int tgid;
    struct task_struct* real_parent;
    char comm[16];
    struct nsproxy* nsproxy;
    struct css_set* cgroups;
};

enum bpf_func_id {
    BPF_FUNC_task_pt_regs = 175, /* dd6e10fbd9fb "bpf: Add bpf_task_pt_regs() helper", 5.15 */
};

struct bpf_iter_meta {
    struct seq_file* seq;
};

struct bpf_iter__task {
    struct bpf_iter_meta* meta;
    struct task_struct* task;
};

#pragma clang attribute pop

/* TASK_* of <linux/sched.h>; the same in all kernels since 4.14. */
enum {
    TASK_UNINTERRUPTIBLE = 0x02,
    TASK_STOPPED_TRACED_OR_PARKED = 0x4c,
    TASK_DEAD = 0x80,
    TASK_NOLOAD = 0x400,
};

static __always_inline u32 state_of(struct task_struct* task) {
    if (bpf_core_field_exists(task->__state))
        return task->__state;
    return task->state;
}

static __always_inline bool about_to_sleep(struct task_struct* task) {
    return state_of(task) != 0;
}

/*
 * Whether a task that leaves the CPU runnable, and was not preempted in the kernel, gave it up by
 * sched_yield(). On its way back to user space a task is preempted by the same call of schedule(),
 * so the registers tell: they hold the number of the system call, or what an interrupt left there.
 * A kernel thread has no such way back. Without the helper (before 5.15) a yield is taken for a
 * preemption.
 */
static __always_inline bool has_yielded(struct task_struct* prev) {
    enum { X86_NR_SCHED_YIELD = 24, ARM64_NR_SCHED_YIELD = 124 };
    struct pt_regs* regs;

    if (prev->flags & PF_KTHREAD)
        return true;
    if (!bpf_core_enum_value_exists(enum bpf_func_id, BPF_FUNC_task_pt_regs))
        return false;
    regs = (void*)bpf_task_pt_regs(prev);
    if (bpf_core_field_exists(regs->orig_ax))
        return regs->orig_ax == X86_NR_SCHED_YIELD;
    if (bpf_core_field_exists(regs->syscallno))
        return regs->syscallno == ARM64_NR_SCHED_YIELD;
    return false;
}

/* enum rqs_left */
static __always_inline u8 how_it_left(struct task_struct* prev, bool preempt) {
    u32 state = state_of(prev);

    if (preempt)
        return RQS_LEFT_PREEMPTED;
    if (!state)
        return prev->pid && has_yielded(prev) ? RQS_LEFT_YIELDED : RQS_LEFT_PREEMPTED;
    if (state & TASK_UNINTERRUPTIBLE)
        return state & TASK_NOLOAD ? RQS_LEFT_ASLEEP : RQS_LEFT_BLOCKED;
    if (state & TASK_DEAD)
        return RQS_LEFT_DEAD;
    return state & TASK_STOPPED_TRACED_OR_PARKED ? RQS_LEFT_STOPPED : RQS_LEFT_ASLEEP;
}

/* Interrupt time of this CPU since boot; 0 where the kernel does not account it. */
static __always_inline u64 irq_time_ns(struct rq* rq) {
    return bpf_core_field_exists(rq->prev_irq_time) ? rq->prev_irq_time : 0;
}

/* Time that the hypervisor ran somebody else, since boot; 0 where it does not say. */
static __always_inline u64 steal_time_ns(struct rq* rq) {
    if (bpf_core_field_exists(rq->prev_steal_time_rq))
        return rq->prev_steal_time_rq;
    return bpf_core_field_exists(rq->prev_steal_time) ? rq->prev_steal_time : 0;
}

/*
 * Whether a task that leaves the CPU now may be kept off it by its group's quota. From 6.18 on the
 * kernel throttles tasks, at their way back to user space, and says so; a task that wakes up in a
 * throttled group is free to run. Before, all tasks of a throttled runqueue are throttled.
 */
static __always_inline bool may_be_throttled(struct task_struct* prev) {
    return bpf_core_field_exists(prev->throttled) ? prev->throttled : true;
}

/* Whether a task that waits is throttled at this moment. */
static __always_inline bool is_throttled(struct task_struct* task) {
    return bpf_core_field_exists(task->throttled) ? task->throttled
                                                  : task->se.cfs_rq->throttle_count != 0;
}

/* Whether only the kernel knows, task by task, who is throttled. */
static __always_inline bool throttles_tasks(struct task_struct* task) {
    return bpf_core_field_exists(task->throttled);
}

/* Whether quotas can hold for the task at all: it is in the fair class and not in the root group.
 */
static __always_inline bool has_quota_group(struct task_struct* task, struct cfs_rq* cfs_rq,
                                            struct rq* rq) {
    return task->prio >= 100 && (u64)cfs_rq != (u64)&rq->cfs;
}

/* The group whose quota holds for the task: its serial number, or 0 for an autogroup. */
static __always_inline u32 quota_group(struct task_struct* task) {
    return task->sched_task_group->css.serial_nr;
}

/* How much of a task's CPU mask there is to read: it is as long as the kernel was built for. */
static __always_inline u64 cpumask_bytes(struct task_struct* task, u64 most) {
    u64 bytes = bpf_core_field_size(task->cpus_mask);

    return bytes < most ? bytes : most;
}

static __always_inline u32 parent_pid(struct task_struct* task) {
    return task->real_parent->tgid;
}

static __always_inline u64 v2_cgroup_id(struct task_struct* task) {
    return task->cgroups->dfl_cgrp->kn->id;
}

#endif
