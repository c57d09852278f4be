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
 */
static __always_inline u64 mono_ns(struct rqs_cpu* cpu, u64 clock) {
    if (clock - cpu->mono_checked_ns > MONO_CHECK_NS) {
        cpu->mono_offset_ns = bpf_ktime_get_ns() - clock;
        cpu->mono_checked_ns = clock;
    }
    return clock + cpu->mono_offset_ns;
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
    /* Through memory, so that the verifier forgets the value and does not walk the copying loop
       once for each possible length; then it must be told the bound again. */
    *(volatile u64*)&cpu->scratch = needed;
    needed = *(volatile u64*)&cpu->scratch;
    return needed > knobs.history_slots ? knobs.history_slots : needed;
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
    for (u32 i = 0; i < RQS_HISTORY_MAX; i++) {
        if (i >= needed)
            break;
        copy_slot(ring_at(cpu, head + i), history_at(cpu, first + i));
    }
    head += needed;
    copy_slot(ring_at(cpu, head), (struct rqs_slot*)&cpu->draft_a);
    copy_slot(ring_at(cpu, head + 1), (struct rqs_slot*)&cpu->draft_b);
    cpu->shipped = cpu->seq;
    cpu->kept++;
    publish(cpu, head + WAIT_SLOTS);
    ring_doorbell(cpu, used, tail);
}

#endif
