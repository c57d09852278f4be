// SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause)
// Several maps that are shown, each with a type of its own; no header.
#include "vmlinux.h"

#include <bpf/bpf_helpers.h>

struct open_event {
    int pid;
    unsigned long long opened;
};

struct close_event {
    int pid;
    char who[16];
};

struct count {
    unsigned long long calls;
};

/// @event open_event
struct {
    __uint(type, BPF_MAP_TYPE_RINGBUF);
    __uint(max_entries, 65536);
} opened SEC(".maps");

/// @event close_event
struct {
    __uint(type, BPF_MAP_TYPE_PERF_EVENT_ARRAY);
    __uint(key_size, sizeof(int));
    __uint(value_size, sizeof(int));
} closed SEC(".maps");

struct {
    __uint(type, BPF_MAP_TYPE_RINGBUF);
    __uint(max_entries, 4096);
} silent SEC(".maps");

/// @sample {"interval": 200}
struct {
    __uint(type, BPF_MAP_TYPE_HASH);
    __uint(max_entries, 4096);
    __type(key, int);
    __type(value, struct count);
} counts SEC(".maps");

SEC("raw_tp/sys_enter")
int on_call(void* ctx) {
    struct open_event* opening = bpf_ringbuf_reserve(&opened, sizeof(*opening), 0);
    struct close_event closing = {};
    struct count once = {1};
    int pid = bpf_get_current_pid_tgid() >> 32;

    if (opening) {
        opening->pid = pid;
        opening->opened = 1;
        bpf_ringbuf_submit(opening, 0);
    }
    closing.pid = pid;
    bpf_get_current_comm(&closing.who, sizeof(closing.who));
    bpf_perf_event_output(ctx, &closed, BPF_F_CURRENT_CPU, &closing, sizeof(closing));
    bpf_map_update_elem(&counts, &pid, &once, BPF_ANY);
    return 0;
}

char LICENSE[] SEC("license") = "Dual BSD/GPL";
