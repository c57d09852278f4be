/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause) */
/* Publishes a kept wait with the history that lies behind it. */
#ifndef RQS_BPF_EMIT_H
#define RQS_BPF_EMIT_H

#include "bpf/history.bpf.h"

enum { MONO_CHECK_NS = 1000000 };

/*
 * The runqueue's clock as CLOCK_MONOTONIC. The two drift apart by at most 500 ppm (NTP), so that an
 * offset read once a millisecond is right to a nanosecond or so and costs no clock read an event.
 * Where a hypervisor takes the CPU away between the two clocks, the offset comes out too large,
 * never too small: it may grow only as fast as the clocks can drift.
 */
static __always_inline u64 mono_ns(struct rqs_cpu* cpu, u64 clock) {
    u64 elapsed = clock - cpu->mono_checked_ns;

    if (elapsed > MONO_CHECK_NS) {
        u64 offset = bpf_ktime_get_ns() - clock;
        u64 most = cpu->mono_offset_ns + elapsed / 1024;

        if (cpu->mono_checked_ns && (__s64)(offset - most) > 0)
            offset = most;
        cpu->mono_offset_ns = offset;
        cpu->mono_checked_ns = clock;
    }
    return clock + cpu->mono_offset_ns;
}

static __always_inline void publish(struct rqs_cpu* cpu, u64 head) {
#if defined(__TARGET_ARCH_x86)
    /* Stores are seen in order. */
    asm volatile("" ::: "memory");
    *(volatile u64*)&cpu->head = head;
#else
    /* A full barrier. 5ffa25502b5a "bpf: Add instructions for atomic_[cmp]xchg", 5.12 */
    __sync_lock_test_and_set(&cpu->head, head);
#endif
}

static __always_inline void ring_doorbell(struct rqs_cpu* cpu, u64 used, u64 tail) {
    u8 nothing = 0;

    if (used < knobs.ring_slots / 4 || cpu->rung_tail == tail + 1)
        return;
    cpu->rung_tail = tail + 1;
    bpf_ringbuf_output(&doorbell, &nothing, sizeof(nothing), BPF_RB_FORCE_WAKEUP);
}

/*
 * Hands the draft at `head` to user space. What is published must leave room for the next draft: so
 * the switches after it can be written down, however long user space does not look.
 */
static __always_inline void emit(struct rqs_cpu* cpu, struct rqs_wait_b* b) {
    u64 head = cpu->head;
    u64 tail = *(volatile u64*)&cpu->tail;
    u32 fresh = cpu->fresh;
    bool wrapped = fresh > knobs.history_slots;
    u32 count = wrapped ? knobs.history_slots : fresh;
    u64 next = head + RQS_WAIT_SLOTS + count;

    if (next - tail + RQS_WAIT_SLOTS + knobs.history_slots > knobs.ring_slots) {
        cpu->lost++;
        return;
    }
    b->count = count;
    b->first = wrapped ? fresh & (knobs.history_slots - 1) : 0;
    cpu->fresh = 0;
    cpu->kept++;
    publish(cpu, next);
    ring_doorbell(cpu, next - tail, tail);
}

#endif
