// SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause)
// Waits for the CPU, from one hook: when a task is switched in, the kernel still has the moment at
// which it became runnable (sched_info.last_queued, in the clock of its run queue), because the
// tracepoint fires before the kernel accounts the wait. No wakeup hook and no map of stamps.
#include "vmlinux.h"

#include <bpf/bpf_helpers.h>
#include <bpf/bpf_tracing.h>
#include "runqslower.h"

/// report waits longer than this many microseconds; 0 reports every wait
const volatile unsigned long long min_us = 0;

/// report only the thread with this id; 0 is any
const volatile pid_t targ_pid = 0;

/// report only the threads of the process with this id; 0 is any
const volatile pid_t targ_tgid = 0;

struct {
    __uint(type, BPF_MAP_TYPE_PERF_EVENT_ARRAY);
    __uint(key_size, sizeof(__u32));
    __uint(value_size, sizeof(__u32));
} events SEC(".maps");

/// reports the wait of the task that is about to run
SEC("tp_btf/sched_switch")
int BPF_PROG(handle_sched_switch, bool preempt, struct task_struct* prev,
             struct task_struct* next) {
    struct event event = {};
    unsigned long long queued_ns = next->sched_info.last_queued;
    unsigned long long now_ns;

    /* The idle task never waits. */
    if (queued_ns == 0 || next->pid == 0)
        return 0;
    if (targ_pid && targ_pid != next->pid)
        return 0;
    if (targ_tgid && targ_tgid != next->tgid)
        return 0;

    now_ns = next->se.cfs_rq->rq->clock;
    /* A wait cannot end before it began: better no line than an absurd one. */
    if (now_ns < queued_ns)
        return 0;
    event.delta_us = (now_ns - queued_ns) / 1000;
    if (min_us && event.delta_us <= min_us)
        return 0;

    event.pid = next->pid;
    event.prev_pid = prev->pid;
    bpf_probe_read_kernel_str(&event.task, sizeof(event.task), next->comm);
    bpf_probe_read_kernel_str(&event.prev_task, sizeof(event.prev_task), prev->comm);
    bpf_perf_event_output(ctx, &events, BPF_F_CURRENT_CPU, &event, sizeof(event));
    return 0;
}

/// @brief Shows the waits of tasks that were ready to run but had to wait for the CPU.
/// @details Examples:
///     ecli run package.json                    every wait
///     ecli run package.json --min_us 1000      waits longer than 1 ms
///     ecli run package.json --targ_tgid 42     those of process 42
/// @version 0.1.0
char LICENSE[] SEC("license") = "Dual BSD/GPL";
