// SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause)
/*
 * Threads begin and end, and are told on which CPUs they may run: what a recording needs to say
 * whether a wait could have been avoided. An object of its own, loaded only where somebody asks, so
 * that the hook at the switch is not larger for it.
 */
#include "bpf/kernel.bpf.h"

#include "contract/lives.h"

const volatile struct rqs_lives_knobs knobs = {};

/* Records that found no room. */
unsigned long long lost = 0;

struct {
    __uint(type, BPF_MAP_TYPE_RINGBUF);
    __uint(max_entries, RQS_LIVES_RING_BYTES);
} lives SEC(".maps");

/* The reader looks often enough: nobody is woken from here, where locks are held. */
static __always_inline void tell(void* record, u64 bytes) {
    if (bpf_ringbuf_output(&lives, record, bytes, BPF_RB_NO_WAKEUP))
        __sync_fetch_and_add(&lost, 1);
}

static __always_inline void set_head(struct rqs_life_head* head, u32 kind,
                                     struct task_struct* task) {
    head->mono_ns = bpf_ktime_get_ns();
    head->kind = kind;
    head->tid = task->pid;
}

static __always_inline void set_comm(char* to, struct task_struct* task) {
    ((u64*)to)[0] = ((const u64*)task->comm)[0];
    ((u64*)to)[1] = ((const u64*)task->comm)[1];
}

/* Before the child can run. */
SEC("tp_btf/sched_process_fork")
int on_begin(u64* ctx) {
    struct task_struct* parent = (void*)ctx[0];
    struct task_struct* child = (void*)ctx[1];
    struct rqs_life life = {};

    set_head(&life.head, RQS_LIFE_FORK, parent);
    life.pid = parent->tgid;
    life.child_tid = child->pid;
    life.child_pid = child->tgid;
    set_comm(life.comm, parent);
    set_comm(life.child_comm, child);
    tell(&life, sizeof(life));
    return 0;
}

SEC("tp_btf/sched_process_exit")
int on_end(u64* ctx) {
    struct task_struct* task = (void*)ctx[0];
    struct rqs_life life = {};

    set_head(&life.head, RQS_LIFE_EXIT, task);
    life.pid = task->tgid;
    set_comm(life.comm, task);
    tell(&life, sizeof(life));
    return 0;
}

static __always_inline void set_affinity(struct rqs_affinity* affinity, struct task_struct* task) {
    set_head(&affinity->head, RQS_LIFE_AFFINITY, task);
    bpf_probe_read_kernel(affinity->cpus, cpumask_bytes(task, sizeof(affinity->cpus)),
                          &task->cpus_mask);
}

/*
 * Where the kernel lets a function be watched. Without it a change is found by the next look at all
 * tasks. Every way to change a task's CPUs for good leads through here; in all kernels the task is
 * the first argument.
 */
SEC("fexit/set_cpus_allowed_common")
int on_affinity(u64* ctx) {
    struct rqs_affinity affinity = {};

    set_affinity(&affinity, (void*)ctx[0]);
    tell(&affinity, sizeof(affinity));
    return 0;
}

/* Runs when user space asks. */
SEC("iter/task")
int find_restricted(struct bpf_iter__task* ctx) {
    struct task_struct* task = ctx->task;
    struct rqs_affinity affinity = {};

    if (!task || !task->pid || (u32)task->nr_cpus_allowed >= knobs.possible_cpus)
        return 0;
    set_affinity(&affinity, task);
    bpf_seq_write(ctx->meta->seq, &affinity, sizeof(affinity));
    return 0;
}

char LICENSE[] SEC("license") = "Dual BSD/GPL";
