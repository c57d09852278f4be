// SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause)
// Per-CPU values of which some can be added up and others cannot.
#include "vmlinux.h"

#include <bpf/bpf_helpers.h>

struct wide {
    unsigned long long calls;
    unsigned long long slots[2];
    unsigned __int128 huge;
};

struct labelled {
    unsigned long long calls;
    char place[8];
};

/// @sample {"interval": 100}
struct {
    __uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
    __uint(max_entries, 1);
    __type(key, int);
    __type(value, struct wide);
} sums SEC(".maps");

/// @sample {"interval": 100}
struct {
    __uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
    __uint(max_entries, 1);
    __type(key, int);
    __type(value, struct labelled);
} places SEC(".maps");

SEC("raw_tp/sys_enter")
int on_call(void* ctx) {
    int zero = 0;
    struct wide* wide = bpf_map_lookup_elem(&sums, &zero);
    struct labelled* labelled = bpf_map_lookup_elem(&places, &zero);

    if (!wide || !labelled)
        return 0;
    /* The same on each CPU that was here, so that the sum tells how many there were. */
    wide->calls = 1;
    wide->slots[1] = 10;
    wide->huge = (unsigned __int128)1 << 100;
    labelled->calls = 1;
    labelled->place[0] = 'A' + (bpf_get_smp_processor_id() & 15);
    return 0;
}

char LICENSE[] SEC("license") = "GPL";
