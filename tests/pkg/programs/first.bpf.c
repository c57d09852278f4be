// SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause)
// Numbers the first system calls after it was attached: whoever listens from the start gets 0.
#include "vmlinux.h"

#include <bpf/bpf_helpers.h>
#include "first.h"

struct {
    __uint(type, BPF_MAP_TYPE_PERF_EVENT_ARRAY);
    __uint(key_size, sizeof(int));
    __uint(value_size, sizeof(int));
} events SEC(".maps");

unsigned long long calls = 0;

SEC("raw_tp/sys_enter")
int on_call(void* ctx) {
    struct first event = {};

    event.number = __sync_fetch_and_add(&calls, 1);
    if (event.number < 50)
        bpf_perf_event_output(ctx, &events, BPF_F_CURRENT_CPU, &event, sizeof(event));
    return 0;
}

char LICENSE[] SEC("license") = "GPL";
