// SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause)
// A ring buffer, a perf buffer and a sampled map in one package.
#include "vmlinux.h"

#include <bpf/bpf_helpers.h>
#include "both.h"

const volatile int targ_pid = 0;

struct {
    __uint(type, BPF_MAP_TYPE_RINGBUF);
    __uint(max_entries, 262144);
} rings SEC(".maps");

/// @sample {"interval": 100}
struct {
    __uint(type, BPF_MAP_TYPE_HASH);
    __uint(max_entries, 16);
    __type(key, int);
    __type(value, unsigned long long);
} counts SEC(".maps");

struct {
    __uint(type, BPF_MAP_TYPE_PERF_EVENT_ARRAY);
    __uint(key_size, sizeof(int));
    __uint(value_size, sizeof(int));
} buffers SEC(".maps");

SEC("raw_tp/sys_enter")
int on_call(void* ctx) {
    struct both event = {};
    int pid = bpf_get_current_pid_tgid() >> 32;
    unsigned long long one = 1, *count;

    if (pid != targ_pid)
        return 0;
    event.pid = pid;
    bpf_get_current_comm(&event.comm, sizeof(event.comm));
    bpf_ringbuf_output(&rings, &event, sizeof(event), 0);
    bpf_perf_event_output(ctx, &buffers, BPF_F_CURRENT_CPU, &event, sizeof(event));
    count = bpf_map_lookup_elem(&counts, &pid);
    if (count)
        __sync_fetch_and_add(count, 1);
    else
        bpf_map_update_elem(&counts, &pid, &one, BPF_ANY);
    return 0;
}

char LICENSE[] SEC("license") = "GPL";
