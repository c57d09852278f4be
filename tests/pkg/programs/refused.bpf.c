// SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause)
// One program that runs everywhere, one that runs nowhere.
#include "vmlinux.h"

#include <bpf/bpf_helpers.h>

SEC("raw_tp/sys_enter")
int fine(void* ctx) {
    return 0;
}

SEC("tp_btf/no_such_tracepoint_anywhere")
int refused(void* ctx) {
    return 0;
}

char LICENSE[] SEC("license") = "GPL";
