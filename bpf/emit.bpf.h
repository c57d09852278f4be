/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause) */
/* Puts a kept wait, and the history it needs, into the CPU's ring. */
#ifndef RQS_BPF_EMIT_H
#define RQS_BPF_EMIT_H

#include "bpf/history.bpf.h"

enum { MONO_CHECK_NS = 1000000, WAIT_SLOTS = 2 };

static __always_inline struct rqs_slot* ring_at(struct rqs_cpu* cpu, u64 position) {
    return (void*)cpu + RQS_HISTORY_OFFSET + (u64)knobs.history_slots * RQS_SLOT_BYTES +
           (position & (knobs.ring_slots - 1)) * RQS_SLOT_BYTES;
}

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

/*
 * How many history slots are not shipped yet. Bound: knobs.history_slots. Through memory, so that
 * the verifier knows no more of the number than that and walks the copying loop once.
 */
static __always_inline u32 history_unshipped(struct rqs_cpu* cpu) {
    u32 count;

    *(volatile u64*)&cpu->scratch = cpu->seq - cpu->shipped;
    count = *(volatile u64*)&cpu->scratch;
    return count > knobs.history_slots ? knobs.history_slots : count;
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

/* Ships the draft behind all of the history that has not been shipped. */
static __always_inline void emit(struct rqs_cpu* cpu) {
    u32 count = history_unshipped(cpu);
    u64 head = cpu->head;
    u64 tail = *(volatile u64*)&cpu->tail;
    u64 used = head - tail + count + WAIT_SLOTS;
    u32 first = cpu->seq - count;

    if (used > knobs.ring_slots) {
        cpu->lost++;
        return;
    }
    /* Before the loop: what comes after it is verified once for each number of rounds. */
    copy_slot(ring_at(cpu, head + count), (struct rqs_slot*)&cpu->draft_a);
    copy_slot(ring_at(cpu, head + count + 1), (struct rqs_slot*)&cpu->draft_b);
    cpu->shipped = cpu->seq;
    cpu->kept++;
    for (u32 i = 0; i < RQS_HISTORY_MAX; i++) {
        if (i >= count)
            break;
        copy_slot(ring_at(cpu, head + i), history_at(cpu, first + i));
    }
    publish(cpu, head + count + WAIT_SLOTS);
    ring_doorbell(cpu, used, tail);
}

#endif
