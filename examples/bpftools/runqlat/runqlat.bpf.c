// SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause)
// How long tasks wait for the CPU, as histograms. The wait is found as in ../runqslower.
#include "vmlinux.h"

#include <bpf/bpf_helpers.h>
#include <bpf/bpf_tracing.h>
#include "runqlat.h"

#define MAX_ENTRIES 10240

/// one histogram for each process
const volatile bool targ_per_process = false;

/// one histogram for each thread
const volatile bool targ_per_thread = false;

/// count only the threads of the process with this id; 0 is any
const volatile pid_t targ_tgid = 0;

/// @sample {"interval": 1000, "type": "log2_hist", "unit": "usecs", "clear_map": true}
struct {
    __uint(type, BPF_MAP_TYPE_HASH);
    __uint(max_entries, MAX_ENTRIES);
    __type(key, __u32);
    __type(value, struct hist);
} hists SEC(".maps");

static const struct hist empty;

/* The position of the highest bit: by halves, since BPF has no instruction for it. */
static __always_inline unsigned int log2_of(unsigned long long value) {
    unsigned int result = 0;

    if (value >> 32) {
        result += 32;
        value >>= 32;
    }
    if (value >> 16) {
        result += 16;
        value >>= 16;
    }
    if (value >> 8) {
        result += 8;
        value >>= 8;
    }
    if (value >> 4) {
        result += 4;
        value >>= 4;
    }
    if (value >> 2) {
        result += 2;
        value >>= 2;
    }
    return result + (value >> 1 ? 1 : 0);
}

/// counts the wait of the task that is about to run
SEC("tp_btf/sched_switch")
int BPF_PROG(handle_sched_switch, bool preempt, struct task_struct* prev,
             struct task_struct* next) {
    unsigned long long queued_ns = next->sched_info.last_queued;
    unsigned long long now_ns;
    unsigned int slot, key;
    struct hist* hist;

    if (queued_ns == 0 || next->pid == 0)
        return 0;
    if (targ_tgid && targ_tgid != next->tgid)
        return 0;
    now_ns = next->se.cfs_rq->rq->clock;
    if (now_ns < queued_ns)
        return 0;

    key = targ_per_thread ? next->pid : targ_per_process ? next->tgid : 0;
    hist = bpf_map_lookup_elem(&hists, &key);
    if (!hist) {
        bpf_map_update_elem(&hists, &key, &empty, BPF_NOEXIST);
        hist = bpf_map_lookup_elem(&hists, &key);
        if (!hist)
            return 0;
        if (key)
            bpf_probe_read_kernel_str(&hist->comm, sizeof(hist->comm), next->comm);
    }
    slot = log2_of((now_ns - queued_ns) / 1000);
    if (slot >= MAX_SLOTS)
        slot = MAX_SLOTS - 1;
    __sync_fetch_and_add(&hist->slots[slot], 1);
    return 0;
}

/// @brief Draws histograms of how long tasks waited for the CPU, every second.
/// @version 0.1.0
char LICENSE[] SEC("license") = "Dual BSD/GPL";
