/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause) */
/*
 * The wire contract of bpf/lives.bpf.c: that threads begin and end, and on which CPUs they may run.
 * It parses alone, in C and C++.
 *
 * Events come through a BPF_MAP_TYPE_RINGBUF, one record each; a full ring is counted (`lost` in
 * the programs' data) and never waited for. They are some thousands a second where switches are
 * some hundred thousand, so that a lock and a helper call each are bearable; a ring of our own as
 * in wire.h would need one for each CPU.
 *
 * The task iterator writes struct rqs_affinity after struct rqs_affinity, one for each thread that
 * may not run on all possible CPUs.
 */
#ifndef RQS_CONTRACT_LIVES_H
#define RQS_CONTRACT_LIVES_H

#include "contract/wire.h"

enum {
    RQS_LIVES_RING_BYTES = 1 << 20,
    /* CPUs beyond these are not told apart: a machine that has them is not asked at all. */
    RQS_AFFINITY_CPUS = 1024,
};

enum rqs_life_kind {
    RQS_LIFE_FORK = 1,     /* struct rqs_life */
    RQS_LIFE_EXIT = 2,     /* struct rqs_life, without a child */
    RQS_LIFE_AFFINITY = 3, /* struct rqs_affinity */
};

/* What each record begins with. */
struct rqs_life_head {
    rqs_u64 mono_ns; /* CLOCK_MONOTONIC */
    rqs_u32 kind;    /* enum rqs_life_kind */
    rqs_u32 tid;     /* of the parent, of who ended, of whose affinity it is */
};

struct rqs_life {
    struct rqs_life_head head;
    rqs_u32 pid;
    rqs_u32 child_tid;
    rqs_u32 child_pid;
    rqs_u32 reserved;
    char comm[RQS_COMM_LEN];
    char child_comm[RQS_COMM_LEN];
};

struct rqs_affinity {
    struct rqs_life_head head;
    rqs_u64 cpus[RQS_AFFINITY_CPUS / 64]; /* bit n of word n / 64 is CPU n */
};

/* What user space sets before loading. */
struct rqs_lives_knobs {
    rqs_u32 possible_cpus; /* how many there may ever be */
    rqs_u32 reserved;
};

RQS_ASSERT_SIZE(struct rqs_life_head, 16);
RQS_ASSERT_SIZE(struct rqs_life, 64);
RQS_ASSERT_SIZE(struct rqs_affinity, 144);
RQS_ASSERT_SIZE(struct rqs_lives_knobs, 8);

#endif
