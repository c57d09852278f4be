// SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause)
// Emits one of each kind of type when the chosen process calls the kernel.
#include "vmlinux.h"

#include <bpf/bpf_helpers.h>
#include "types.h"

/// @cmdarg {"short": "p", "long": "pid", "default": -1}
/// @description whose system calls to show
const volatile int targ_pid = 0;
/// a signed byte
const volatile signed char tiny = -5;
/// which color
const volatile enum color color = RED;
/// a text
const volatile char text[16] = "hello";
/// a switch
const volatile bool yes = true;

struct {
    __uint(type, BPF_MAP_TYPE_RINGBUF);
    __uint(max_entries, 262144);
} events SEC(".maps");

SEC("raw_tp/sys_enter")
int on_call(void* ctx) {
    struct everything* event;
    int i;

    if ((int)(bpf_get_current_pid_tgid() >> 32) != targ_pid)
        return 0;
    event = bpf_ringbuf_reserve(&events, sizeof(*event), 0);
    if (!event)
        return 0;
    __builtin_memset(event, 0, sizeof(*event));
    event->tiny = tiny;
    event->small = 65535;
    event->number = -123456789;
    event->large = 18446744073709551615ULL;
    event->huge = -3;
    event->vast = ((unsigned __int128)1 << 100) + 1;
    event->yes = yes;
    event->color = color;
    event->strange = 77;
    for (i = 0; i < sizeof(event->text); i++)
        event->text[i] = text[i];
    event->nested.x = -1;
    event->nested.y[1] = 2;
    event->bits = 5;
    event->sign = -3;
    event->pointer = (void*)0xffff888000000000;
    event->either = -9;
    bpf_ringbuf_submit(event, 0);
    return 0;
}

char LICENSE[] SEC("license") = "Dual BSD/GPL";
