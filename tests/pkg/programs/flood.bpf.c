// SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause)
// More events a system call than a small perf buffer holds.
#include "vmlinux.h"

#include <bpf/bpf_helpers.h>
#include "flood.h"

const volatile int targ_pid = 0;

struct {
    __uint(type, BPF_MAP_TYPE_PERF_EVENT_ARRAY);
    __uint(key_size, sizeof(int));
    __uint(value_size, sizeof(int));
} events SEC(".maps");

SEC("raw_tp/sys_enter")
int on_call(void* ctx) {
    struct flood event = {};
    int i;

    if ((int)(bpf_get_current_pid_tgid() >> 32) != targ_pid)
        return 0;
    for (i = 0; i < 100; i++) {
        event.number = i;
        bpf_perf_event_output(ctx, &events, BPF_F_CURRENT_CPU, &event, sizeof(event));
    }
    return 0;
}

char LICENSE[] SEC("license") = "GPL";
