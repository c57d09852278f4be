// SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause)
// The zero of the scale: what a program that does nothing costs on the hook that we use.
#include "bench/bpf_types.h"
// Needs the types above.
#include <bpf/bpf_helpers.h>

SEC("tp_btf/sched_switch")
int empty_switch(void* ctx) {
    return 0;
}

char LICENSE[] SEC("license") = "Dual BSD/GPL";
