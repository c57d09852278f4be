/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause) */
/* The knobs that user space sets before loading, and the memory that both sides share. */
#ifndef RQS_BPF_STATE_H
#define RQS_BPF_STATE_H

#include "bpf/kernel.bpf.h"

/*
 * Read-only once loaded: the verifier knows the values and drops what they turn off. It does not
 * drop the loads, though: what the hook looks at more than once it reads once.
 */
const volatile struct rqs_knobs knobs = {};

/* The knobs that the hook needs at each switch. All of 64 bits: of what is narrower the verifiers
   before 5.16 forget the value when it goes to the stack. */
struct hot_knobs {
    u64 ring_mask;
    u64 history_mask;
    u64 base_mask;
    u64 modes;
};

static __always_inline struct hot_knobs read_hot_knobs(void) {
    struct hot_knobs hot;

    hot.ring_mask = knobs.ring_slots - 1;
    hot.history_mask = knobs.history_slots - 1;
    hot.base_mask = knobs.base_slots - 1;
    hot.modes = *(const volatile u64*)&knobs.cpu_controller_is_v1;
    return hot;
}

_Static_assert(__builtin_offsetof(struct rqs_knobs, cpu_controller_is_v1) % 8 == 0,
               "read as one word");

/* One of the eight bytes from knobs.cpu_controller_is_v1 on. */
#define MODE(modes, name)                                                            \
    (((modes) >> 8 * (__builtin_offsetof(struct rqs_knobs, name) -                   \
                      __builtin_offsetof(struct rqs_knobs, cpu_controller_is_v1))) & \
     0xff)

/* struct rqs_cpu and what follows it: contract/wire.h */
struct {
    __uint(type, BPF_MAP_TYPE_ARRAY);
    __uint(map_flags, BPF_F_MMAPABLE);
    __uint(max_entries, 1);
    __uint(key_size, 4);
    __uint(value_size, 8);
} cpus SEC(".maps");

/* One byte for each possible process or thread id: enum rqs_pid_bits. */
struct {
    __uint(type, BPF_MAP_TYPE_ARRAY);
    __uint(map_flags, BPF_F_MMAPABLE);
    __uint(max_entries, 1);
    __uint(key_size, 4);
    __uint(value_size, 8);
} pids SEC(".maps");

/* One byte for each CPU: not zero where its waits are wanted (--cpu). */
struct {
    __uint(type, BPF_MAP_TYPE_ARRAY);
    __uint(max_entries, 1);
    __type(key, u32);
    __type(value, u8);
} wanted_cpus SEC(".maps");

/* Replaced by maps that others pinned and change while we run. */
struct {
    __uint(type, BPF_MAP_TYPE_HASH);
    __uint(max_entries, 1);
    __type(key, u64);
    __type(value, u64);
} cgroup_map SEC(".maps");

struct {
    __uint(type, BPF_MAP_TYPE_HASH);
    __uint(max_entries, 1);
    __type(key, u64);
    __type(value, u64);
} mntns_map SEC(".maps");

/* Wakes the reader when a ring fills up faster than it looks; carries nothing. */
struct {
    __uint(type, BPF_MAP_TYPE_RINGBUF);
    __uint(max_entries, 4096);
} doorbell SEC(".maps");

/*
 * Two words that CPUs may write at the same time without a lock. The first is the second xor the
 * owner, so that a pair torn by two writers is recognised and taken for absent.
 */
struct tagged {
    u64 check;
    u64 value;
};

static __always_inline void tagged_store(struct tagged* at, u64 owner, u64 value) {
    at->check = owner ^ value;
    at->value = value;
}

static __always_inline bool tagged_load(struct tagged* at, u64 owner, u64* value) {
    u64 found = at->value;

    barrier_var_u64(found); /* read once: the check must be of the value that is returned */
    *value = found;
    return (at->check ^ found) == owner;
}

/*
 * What the kernel had charged to tasks when they left the CPU: knobs.base_slots times struct
 * tagged, in one element. Not global data: libbpf keeps a copy of that in the reader's memory.
 */
struct {
    __uint(type, BPF_MAP_TYPE_ARRAY);
    __uint(max_entries, 1);
    __uint(key_size, 4);
    __uint(value_size, RQS_BASE_ENTRY_BYTES);
} run_delay_bases SEC(".maps");

/* When tasks left the CPU that the kernel did not stamp, by the low bits of the tid. */
struct unstamped {
    struct tagged at[RQS_UNSTAMPED_SLOTS];
};

struct {
    __uint(type, BPF_MAP_TYPE_ARRAY);
    __uint(max_entries, 1);
    __type(key, u32);
    __type(value, struct unstamped);
} left_unstamped SEC(".maps");

/*
 * Who a task is, for tables that outlive a switch: its kernel stack's address. It is unique among
 * the living, other than a tid it survives an exec by another thread, and it is read as a number.
 */
static __always_inline u64 identity(struct task_struct* task) {
    return (u64)task->stack;
}

static __always_inline struct rqs_cpu* cpu_state(u32 cpu) {
    return bpf_map_lookup_elem(&cpus, &cpu);
}

/* By the low bits of the tid. */
static __always_inline struct tagged* base_of(struct tagged* bases, u32 tid, u64 base_mask) {
    return bases + (tid & base_mask);
}

static __always_inline struct tagged* run_delay_base_table(void) {
    u32 zero = 0;

    return bpf_map_lookup_elem(&run_delay_bases, &zero);
}

static __always_inline struct tagged* unstamped_of(u32 tid) {
    u32 zero = 0;
    struct unstamped* table = bpf_map_lookup_elem(&left_unstamped, &zero);

    return table ? &table->at[tid & (RQS_UNSTAMPED_SLOTS - 1)] : 0;
}

#endif
