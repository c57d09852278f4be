// SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause)
// Every kind of variable, map, program and comment that a package can speak of: read, not run.
#include "vmlinux.h"

#include <bpf/bpf_helpers.h>
#include <bpf/bpf_tracing.h>
#include "kinds.h"

enum mood { GLAD, SAD };

/// whole numbers of all widths
const volatile signed char byte = -1;
const volatile unsigned short two = 2;
/// @cmdarg {"default": 5, "long": "number", "short": "n", "help": "a number"}
const volatile int number = 3;
/// @value 9
const volatile unsigned long long wide = 4;
/// @cmdarg {"default": true}
const volatile bool yes = false;
/// @cmdarg {"default": "who"}
const volatile char name[16] = "";
const volatile enum mood mood = SAD;  ///< how it feels
const volatile int several[3] = {1, 2, 3};
const volatile struct kinds whole = {1, 2};
static const volatile int hidden = 7;
unsigned long long counter;
int* nowhere;
int started = 1;
int other SEC(".data.other") = 1;
extern int LINUX_KERNEL_VERSION __kconfig;

/// @sample {"interval": 1000, "type": "log2_hist", "unit": "usecs", "clear_map": true}
struct {
    __uint(type, BPF_MAP_TYPE_HASH);
    __uint(max_entries, 8);
    __type(key, int);
    __type(value, struct hist);
} by_hash SEC(".maps");

/** @sample {"interval": 500, "type": "linear_hist"} */
struct {
    __uint(type, BPF_MAP_TYPE_ARRAY);
    __uint(max_entries, 8);
    __uint(map_flags, BPF_F_MMAPABLE);
    __type(key, int);
    __type(value, struct hist);
} by_number SEC(".maps");

//! @sample {"interval": 250, "type": "default_kv"}
//! @export_config "no_export"
struct {
    __uint(type, BPF_MAP_TYPE_PERCPU_HASH);
    __uint(max_entries, 8);
    __type(key, int);
    __type(value, long);
} by_cpu SEC(".maps");

/// @event kinds
/// @intepreter "default_struct"
struct {
    __uint(type, BPF_MAP_TYPE_RINGBUF);
    __uint(max_entries, 4096);
} ring SEC(".maps");

/// @event trace
/// @intepreter {"stack_trace": {"with_symbols": false, "field_map": {"pid": "pid",
///     "cpu_id": "cpu_id", "comm": "comm", "kstack_sz": "kernel_bytes", "ustack_sz": "user_bytes",
///     "kstack": "kernel", "ustack": "user"}}}
struct {
    __uint(type, BPF_MAP_TYPE_PERF_EVENT_ARRAY);
    __uint(key_size, 4);
    __uint(value_size, 4);
} perf SEC(".maps");

/// @export_config {"custom_members": [{"name": "first", "offset": 0, "btf_type_id": 1}]}
struct {
    __uint(type, BPF_MAP_TYPE_RINGBUF);
    __uint(max_entries, 4096);
} pieces SEC(".maps");

/// where they were
struct {
    __uint(type, BPF_MAP_TYPE_STACK_TRACE);
    __uint(max_entries, 8);
    __uint(key_size, 4);
    __uint(value_size, 1016);
} stacks SEC(".maps");

SEC("tp/sched/sched_switch")
int by_tracepoint(void* ctx) {
    counter += wide + yes + byte + two + several[1] + whole.pid + hidden + name[0] + mood;
    return LINUX_KERNEL_VERSION + started + other + (nowhere != 0);
}

SEC("raw_tp/sys_enter")
int by_raw_tracepoint(void* ctx) {
    return number;
}

SEC("tp_btf/sched_switch")
int BPF_PROG(by_btf_tracepoint, bool preempt) {
    return 0;
}

SEC("fentry/do_unlinkat")
int by_fentry(void* ctx) {
    return 0;
}

SEC("fexit/do_unlinkat")
int by_fexit(void* ctx) {
    return 0;
}

SEC("kprobe/do_unlinkat")
int by_kprobe(void* ctx) {
    return 0;
}

SEC("uretprobe//bin/sh:main")
int by_uprobe(void* ctx) {
    return 0;
}

SEC("lsm/file_open")
int by_lsm(void* ctx) {
    return 0;
}

SEC("iter/task")
int by_iterator(void* ctx) {
    return 0;
}

/// @ifindex 1
/// @flags 2
/// @xdpopts {"old_prog_fd": 0}
SEC("xdp")
int by_xdp(struct xdp_md* ctx) {
    return XDP_PASS;
}

/// @tchook {"ifindex": 1, "attach_point": "BPF_TC_INGRESS"}
/// @tcopts {"handle": 1, "priority": 1}
SEC("tc")
int by_tc(void* ctx) {
    return 0;
}

/// @tchook {"ifindex": 1, "attach_point": "BPF_TC_EGRESS"}
SEC("tc")
int by_tc_out(void* ctx) {
    return 0;
}

/// @tchook {"attach_point": "BPF_TC_CUSTOM"}
SEC("tc")
int by_tc_custom(void* ctx) {
    return 0;
}

/// now and then
/// @frequency 99
SEC("perf_event")
int by_perf_event(void* ctx) {
    return 0;
}

/// @brief one line
/// @details several
///     lines
/// @version 1.2.3
/// @description what it is
char LICENSE[] SEC("license") = "Dual BSD/GPL";
