// SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause)
// Says what its options were when it was loaded.
#include "vmlinux.h"

#include <bpf/bpf_helpers.h>
#include "options.h"

const volatile int targ_pid = 0;
const volatile char letter = 'a';
const volatile __int128 huge = 1;
const volatile unsigned __int128 vast = 1;
const volatile float ratio = 0.5;
const volatile enum mode mode = QUIET;
const volatile short number = 3;

struct {
    __uint(type, BPF_MAP_TYPE_RINGBUF);
    __uint(max_entries, 65536);
} events SEC(".maps");

SEC("raw_tp/sys_enter")
int on_call(void* ctx) {
    struct options* event;

    if ((int)(bpf_get_current_pid_tgid() >> 32) != targ_pid)
        return 0;
    event = bpf_ringbuf_reserve(&events, sizeof(*event), 0);
    if (!event)
        return 0;
    event->letter = letter;
    event->huge = huge;
    event->vast = vast;
    /* Programs have no floating point numbers, but can carry them. */
    *(unsigned*)&event->ratio = *(const volatile unsigned*)&ratio;
    event->mode = mode;
    event->number = number;
    bpf_ringbuf_submit(event, 0);
    return 0;
}

char LICENSE[] SEC("license") = "Dual BSD/GPL";
