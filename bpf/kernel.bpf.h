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
    BPF_RB_FORCE_WAKEUP = 1 << 1,
};

struct seq_file;
struct bpf_map;

#include <bpf/bpf_core_read.h>
#include <bpf/bpf_helpers.h>

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
};

struct sched_info {
    unsigned long pcount;
    unsigned long long run_delay;
    unsigned long long last_queued;
};

struct task_struct {
    unsigned int __state; /* or: */
    long state;           /* until 2f064a59a11f "sched: Change task_struct::state", 5.14 */
    void* stack;
    unsigned int flags;
    unsigned int on_cpu;
    int prio;
    unsigned int policy;
    struct sched_entity se;
    struct task_group* sched_task_group;
    bool throttled; /* e1fad12dcb66 "sched/fair: Switch to task based throttle model", 6.18 */
    struct sched_info sched_info;
    int pid;
    int tgid;
    char comm[16];
    struct nsproxy* nsproxy;
    struct css_set* cgroups;
};

struct bpf_iter_meta {
    struct seq_file* seq;
};

struct bpf_iter__task {
    struct bpf_iter_meta* meta;
    struct task_struct* task;
};

#pragma clang attribute pop

static __always_inline bool about_to_sleep(struct task_struct* task) {
    if (bpf_core_field_exists(task->__state))
        return task->__state != 0;
    return task->state != 0;
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
static __always_inline u64 quota_group(struct task_struct* task) {
    return task->sched_task_group->css.serial_nr;
}

static __always_inline u64 v2_cgroup_id(struct task_struct* task) {
    return task->cgroups->dfl_cgrp->kn->id;
}

#endif
