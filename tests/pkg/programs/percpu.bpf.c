// SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause)
// A per-CPU map that is sampled, without a header: its types come from the map itself.
#include "vmlinux.h"

#include <bpf/bpf_helpers.h>

const volatile int targ_pid = 0;

struct counts {
    unsigned long long calls;
    char who[16];
};

/// @sample {"interval": 200}
struct {
    __uint(type, BPF_MAP_TYPE_PERCPU_HASH);
    __uint(max_entries, 16);
    __type(key, int);
    __type(value, struct counts);
} calls SEC(".maps");

SEC("raw_tp/sys_enter")
int on_call(void* ctx) {
    int pid = bpf_get_current_pid_tgid() >> 32;
    struct counts fresh = {}, *counts;

    if (pid != targ_pid)
        return 0;
    counts = bpf_map_lookup_elem(&calls, &pid);
    if (!counts) {
        bpf_get_current_comm(&fresh.who, sizeof(fresh.who));
        fresh.calls = 1;
        bpf_map_update_elem(&calls, &pid, &fresh, BPF_ANY);
        return 0;
    }
    counts->calls++;
    return 0;
}

char LICENSE[] SEC("license") = "Dual BSD/GPL";
