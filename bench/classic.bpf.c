// SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause)
// The classic way to measure run queue latency, as the thing to compare with: a hash map keyed by
// thread id is stamped when a task becomes runnable (woken, created, or switched out while still
// running) and read when it is switched in. Written with care, so that the comparison is fair:
// fields are read directly, the clock is read once a switch, and the entry is always removed.
#include "bench/bpf_types.h"
// Needs the types above.
#include <bpf/bpf_core_read.h>
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_tracing.h>

#include "bench/classic.h"

const volatile __u64 min_ns = 0;

// Entries live only while a task waits, so this is the number of tasks that may wait at once.
struct {
    __uint(type, BPF_MAP_TYPE_HASH);
    __uint(max_entries, 10240);
    __type(key, __u32);
    __type(value, __u64);
} stamps SEC(".maps");

struct {
    __uint(type, BPF_MAP_TYPE_PERF_EVENT_ARRAY);
    __uint(key_size, sizeof(__u32));
    __uint(value_size, sizeof(__u32));
} events SEC(".maps");

static __always_inline int still_runnable(struct task_struct* task) {
    if (bpf_core_field_exists(task->__state)) {
        return task->__state == TASK_RUNNING;
    }
    struct task_struct___before_5_14* old = (void*)task;
    return BPF_CORE_READ(old, state) == TASK_RUNNING;
}

static __always_inline void stamp(__u32 tid, __u64 now) {
    if (tid != 0) {
        bpf_map_update_elem(&stamps, &tid, &now, 0);
    }
}

SEC("tp_btf/sched_wakeup")
int BPF_PROG(classic_wakeup, struct task_struct* task) {
    stamp((__u32)task->pid, bpf_ktime_get_ns());
    return 0;
}

SEC("tp_btf/sched_wakeup_new")
int BPF_PROG(classic_wakeup_new, struct task_struct* task) {
    stamp((__u32)task->pid, bpf_ktime_get_ns());
    return 0;
}

SEC("tp_btf/sched_switch")
int BPF_PROG(classic_switch, _Bool preempt, struct task_struct* prev, struct task_struct* next) {
    __u64 now = bpf_ktime_get_ns();
    if (still_runnable(prev)) {
        stamp((__u32)prev->pid, now);
    }
    __u32 tid = (__u32)next->pid;
    __u64* since = bpf_map_lookup_elem(&stamps, &tid);
    if (!since) {
        return 0;
    }
    __u64 wait_ns = now - *since;
    bpf_map_delete_elem(&stamps, &tid);
    if (wait_ns <= min_ns) {
        return 0;
    }
    struct classic_event event = {
        .wait_ns = wait_ns,
        .tid = tid,
        .prev_tid = (__u32)prev->pid,
    };
    bpf_probe_read_kernel_str(event.comm, sizeof(event.comm), next->comm);
    bpf_probe_read_kernel_str(event.prev_comm, sizeof(event.prev_comm), prev->comm);
    bpf_perf_event_output(ctx, &events, BPF_F_CURRENT_CPU, &event, sizeof(event));
    return 0;
}

char LICENSE[] SEC("license") = "Dual BSD/GPL";
