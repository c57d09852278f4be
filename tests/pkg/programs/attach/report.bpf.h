/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause) */
/* One ring buffer, and one event in it each time that the program runs. */
#ifndef REPORT_BPF_H
#define REPORT_BPF_H

#include "vmlinux.h"

#include <bpf/bpf_helpers.h>
#include "attached.h"

struct {
    __uint(type, BPF_MAP_TYPE_RINGBUF);
    __uint(max_entries, 65536);
} events SEC(".maps");

static __always_inline int report(enum hook hook) {
    struct attached* event = bpf_ringbuf_reserve(&events, sizeof(*event), 0);

    if (event) {
        event->hook = hook;
        bpf_ringbuf_submit(event, 0);
    }
    return 0;
}

char LICENSE[] SEC("license") = "GPL";

#endif
