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
 * The same number, of which the verifier knows no more than the bound. It then walks a loop of so
 * many rounds once, and not once for each way in which the number may have come about.
 */
static __always_inline u32 opaque(struct rqs_cpu* cpu, u32 number, u32 bound) {
    *(volatile u64*)&cpu->scratch = number;
    number = *(volatile u64*)&cpu->scratch;
    return number > bound ? bound : number;
}

/*
 * How many history slots, newest first, are not shipped yet and reach into the wait that began at
 * `start`; the ones written at this very switch always. Sets *reached when the history goes back to
 * the start. Bound: knobs.history_slots steps.
 */
static __always_inline u32 history_needed(struct rqs_cpu* cpu, u64 start, u64 clock) {
    u32 next_seq = cpu->seq;
    u32 limit = next_seq - cpu->shipped;
    u32 needed = 0;

    if (limit > knobs.history_slots)
        limit = knobs.history_slots;
    limit = opaque(cpu, limit, knobs.history_slots);
    for (u32 i = 0; i < RQS_HISTORY_MAX; i++) {
        u64 end;

        if (i >= limit)
            break;
        end = ((struct rqs_run*)history_at(cpu, next_seq - 1 - i))->end_ns;
        if (end <= start && end != clock) {
            cpu->draft_b.flags |= RQS_WAIT_REACHED;
            break;
        }
        needed = i + 1;
    }
    return opaque(cpu, needed, knobs.history_slots);
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

/* The draft is complete, but for how far the history reaches back. */
static __always_inline void emit(struct rqs_cpu* cpu, u64 clock) {
    u32 needed = history_needed(cpu, cpu->draft_start_ns, clock);
    u64 head = cpu->head;
    u64 tail = *(volatile u64*)&cpu->tail;
    u64 used = head - tail + needed + WAIT_SLOTS;
    u32 first = cpu->seq - needed;

    if (used > knobs.ring_slots) {
        cpu->lost++;
        return;
    }
    /* Before the loop: what comes after it is verified once for each number of rounds. */
    copy_slot(ring_at(cpu, head + needed), (struct rqs_slot*)&cpu->draft_a);
    copy_slot(ring_at(cpu, head + needed + 1), (struct rqs_slot*)&cpu->draft_b);
    cpu->shipped = cpu->seq;
    cpu->kept++;
    for (u32 i = 0; i < RQS_HISTORY_MAX; i++) {
        if (i >= needed)
            break;
        copy_slot(ring_at(cpu, head + i), history_at(cpu, first + i));
    }
    publish(cpu, head + needed + WAIT_SLOTS);
    ring_doorbell(cpu, used, tail);
}

#endif
