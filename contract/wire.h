/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause) */
/*
 * The wire contract: what the BPF program writes and user space reads. The only code that both
 * sides include. It parses alone, in C and C++.
 *
 * One array map, `cpus`, is mapped into user space. Its element for each CPU is
 *
 *     struct rqs_cpu | struct rqs_throttle_seen x RQS_THROTTLE_SLOTS
 *                    | struct rqs_slot x history | struct rqs_slot x ring
 *
 * `history` and `ring` are powers of two chosen at start (rqs_cpu_bytes()). The history is what the
 * CPU did last: one RUN slot a switch, overwritten in a circle, private to the kernel side. The
 * ring is a stream of slots from that CPU (one producer: sched_switch runs with the runqueue locked
 * and interrupts off) to user space (one consumer). Positions count slots and never wrap; the place
 * of a position in the ring is position & (ring - 1). A publication is one or more whole groups:
 *
 *     (RUN | THROTTLE)*  WAIT_A  WAIT_B
 *
 * A history slot is shipped at most once: with the next wait that is kept, whether that one needs
 * it or a later and longer one does. Keeping every wait therefore costs one RUN slot a wait, not a
 * copied history. User space keeps what it was shipped and knows by `seq` what it was not: slots
 * that the circle overwrote before a wait was kept.
 *
 * All times are the runqueue's own clock of that CPU in ns, except `mono_ns`.
 */
#ifndef RQS_CONTRACT_WIRE_H
#define RQS_CONTRACT_WIRE_H

#ifdef __cplusplus
#include <cstdint>
typedef std::uint8_t rqs_u8;
typedef std::uint16_t rqs_u16;
typedef std::int16_t rqs_s16;
typedef std::uint32_t rqs_u32;
typedef std::uint64_t rqs_u64;
#define RQS_ASSERT_SIZE(type, size) static_assert(sizeof(type) == (size))
#else
typedef unsigned char rqs_u8;
typedef unsigned short rqs_u16;
typedef short rqs_s16;
typedef unsigned int rqs_u32;
typedef unsigned long long rqs_u64;
#define RQS_ASSERT_SIZE(type, size) _Static_assert(sizeof(type) == (size), #type)
#endif

enum {
    RQS_COMM_LEN = 16,
    RQS_SLOT_BYTES = 64,
    RQS_HISTORY_MIN = 2,
    RQS_HISTORY_MAX = 512,
    RQS_THROTTLE_SLOTS = 512,
    RQS_BASE_SLOTS_MIN = 16384,
    RQS_BASE_SLOTS_MAX = 1 << 18,
    RQS_UNSTAMPED_SLOTS = 1024,
    RQS_WAKER_SLOTS = 32768,
};

enum rqs_kind {
    RQS_KIND_RUN = 1,      /* struct rqs_run */
    RQS_KIND_THROTTLE = 2, /* struct rqs_throttle */
    RQS_KIND_WAIT_A = 3,   /* struct rqs_wait_a */
    RQS_KIND_WAIT_B = 4,   /* struct rqs_wait_b, always right behind its WAIT_A */
};

/* rqs_run.policy and rqs_wait_a.policy: SCHED_* in the low bits */
enum {
    RQS_POLICY_MASK = 0x0f,
    RQS_POLICY_KTHREAD = 0x80,
};

enum rqs_wait_flags {
    RQS_WAIT_UNSTAMPED =
        1,                /* the kernel does not count this wait: preempted while about to sleep */
    RQS_WAIT_NO_BASE = 2, /* queued before tracing began: parts on other CPUs may lack */
    RQS_WAIT_WAKER = 8,   /* the waker fields hold */
    RQS_WAIT_WAKER_IRQ = 16, /* woken from an interrupt: the waker is whom it interrupted */
};

/* What user space sets before loading; the programs' read-only data. */
struct rqs_knobs {
    rqs_u64 min_ns;        /* keep waits longer than this; 0 keeps every wait */
    rqs_u64 comm_value[2]; /* the wanted prefix of the name, and a mask of its bytes */
    rqs_u64 comm_mask[2];
    rqs_u64 cgroup_id;     /* v2: this one and all below it, */
    rqs_u32 cgroup_level;  /* which lies at this depth */
    rqs_u32 history_slots; /* power of two, RQS_HISTORY_MIN..RQS_HISTORY_MAX */
    rqs_u32 ring_slots;    /* power of two */
    rqs_u32 pid_limit;     /* bytes of `pids` */
    rqs_u8 cpu_controller_is_v1;
    rqs_u8 filter_pid;
    rqs_u8 filter_tid;
    rqs_u8 filter_descendants;
    rqs_u8 filter_comm;
    rqs_u8 filter_cpu;
    rqs_u8 filter_cgroup;
    rqs_u8 filter_cgroup_map;
    rqs_u8 filter_mntns_map;
    rqs_u8 filter_any; /* one of these */
    rqs_u8 with_waker;
    rqs_u8 reserved;
    rqs_u32 base_slots; /* power of two */
};

/* Bits of a byte of the `pids` map. */
enum rqs_pid_bits {
    RQS_PID_PROCESS = 1,
    RQS_PID_THREAD = 2,
    RQS_PID_DESCENDANT = 4,
    RQS_PID_ANCESTOR = 8, /* of descendants, itself not wanted */
};

/* A stretch of time in which one task had the CPU: from the previous slot's end_ns to its own. */
struct rqs_run {
    rqs_u8 kind;
    rqs_u8 policy;
    rqs_s16 prio;
    rqs_u32 seq; /* of history slots on this CPU, wraps */
    rqs_u64 end_ns;
    rqs_u32 tid; /* 0: the idle task */
    rqs_u32 pid;
    char comm[RQS_COMM_LEN];
    rqs_u64 cgroup_id; /* in the hierarchy of the cpu controller */
    rqs_u64 irq_ns;    /* of this CPU since boot, where the kernel accounts it */
    rqs_u64 steal_ns;
};

/* Found at a switch: the runqueue of a group was throttled since the last look at it. */
struct rqs_throttle {
    rqs_u8 kind;
    rqs_u8 pad[3];
    rqs_u32 seq;
    rqs_u64 end_ns;   /* when it was found */
    rqs_u64 group;    /* serial number of the group, never used again */
    rqs_u64 total_ns; /* throttled since the last look, in all; RQS_THROTTLE_UNKNOWN */
    rqs_u64 ago_ns;   /* from the start of its last throttling to end_ns */
    rqs_u64 since_ns; /* when the last look was; 0 if this is the first */
    rqs_u64 reserved[2];
};

/* rqs_throttle.total_ns of a first look: it was throttled, but for how long is not known. */
#define RQS_THROTTLE_UNKNOWN (~0ULL)

struct rqs_wait_a {
    rqs_u8 kind;
    rqs_u8 policy;
    rqs_s16 prio;
    rqs_u32 seq;     /* of the RUN slot of the task that left the CPU to this one */
    rqs_u64 mono_ns; /* the end of the wait, CLOCK_MONOTONIC */
    rqs_u64 here_ns; /* queued on this CPU */
    rqs_u64 elsewhere_ns;
    rqs_u32 tid;
    rqs_u32 pid;
    char comm[RQS_COMM_LEN];
    rqs_u64 cgroup_id; /* in the v2 hierarchy */
};

struct rqs_wait_b {
    rqs_u8 kind;
    rqs_u8 flags;
    rqs_u16 reserved;
    rqs_u32 waker_cpu;
    rqs_u64 sched_cgroup_id; /* in the hierarchy of the cpu controller */
    rqs_u64 group;           /* as rqs_throttle.group; 0: the task cannot have been throttled */
    rqs_u64 reserved3;
    rqs_u32 waker_tid;
    rqs_u32 waker_pid;
    char waker_comm[RQS_COMM_LEN];
    rqs_u64 reserved2;
};

struct rqs_slot {
    rqs_u8 kind;
    rqs_u8 bytes[3];
    rqs_u32 seq;
    rqs_u64 words[7];
};

/* What was last read of a group's runqueue, so that growth is seen. */
struct rqs_throttle_seen {
    rqs_u64 group;
    rqs_u64 total_ns;
    rqs_u64 looked_ns;
    rqs_u64 reserved;
};

/* One CPU's state. Counters are the kernel's; user space writes `tail` alone. */
struct rqs_cpu {
    rqs_u64 head; /* slots published */
    rqs_u64 seen;
    rqs_u64 kept;
    rqs_u64 lost;       /* longer than the threshold, but the ring was full */
    rqs_u64 unverified; /* RQS_WAIT_NO_BASE among the seen */
    rqs_u64 mono_offset_ns;
    rqs_u64 mono_checked_ns; /* runqueue clock when mono_offset_ns was read */
    rqs_u32 seq;             /* of the next history slot */
    rqs_u32 shipped;         /* history slots below this seq have been shipped */
    rqs_u64 rung_tail;       /* the doorbell was rung for this tail already */
    rqs_u64 scratch;
    rqs_u64 draft_start_ns; /* the wait at hand is put together here: see bpf/runqslower.bpf.c */
    struct rqs_wait_a draft_a;
    struct rqs_wait_b draft_b;
    rqs_u32 interrupts; /* nesting, kept by the hooks of --waker alone */
    rqs_u32 pad0;
    rqs_u64 pad1[4];
    rqs_u64 tail; /* slots consumed; a line of its own */
    rqs_u64 pad2[7];
};

/* What the task iterator of --stuck writes for each task that is waiting now. */
struct rqs_stuck {
    rqs_u64 waiting_ns;
    rqs_u64 mono_ns;
    rqs_u64 cgroup_id;
    rqs_u32 cpu;
    rqs_u32 tid;
    rqs_u32 pid;
    rqs_s16 prio;
    rqs_u8 throttled;
    rqs_u8 reserved;
    char comm[RQS_COMM_LEN];
    rqs_u32 running_tid;
    rqs_u32 running_pid;
    rqs_s16 running_prio;
    rqs_u8 reserved2[6];
    char running_comm[RQS_COMM_LEN];
};

RQS_ASSERT_SIZE(struct rqs_run, RQS_SLOT_BYTES);
RQS_ASSERT_SIZE(struct rqs_throttle, RQS_SLOT_BYTES);
RQS_ASSERT_SIZE(struct rqs_wait_a, RQS_SLOT_BYTES);
RQS_ASSERT_SIZE(struct rqs_wait_b, RQS_SLOT_BYTES);
RQS_ASSERT_SIZE(struct rqs_slot, RQS_SLOT_BYTES);
RQS_ASSERT_SIZE(struct rqs_cpu, 320);
RQS_ASSERT_SIZE(struct rqs_throttle_seen, 32);
RQS_ASSERT_SIZE(struct rqs_stuck, 88);
RQS_ASSERT_SIZE(struct rqs_knobs, 80);

/* Where the parts of a CPU's element lie, in bytes from its start. */
enum {
    RQS_THROTTLE_OFFSET = 320,
    RQS_HISTORY_OFFSET = 320 + RQS_THROTTLE_SLOTS * 32,
};

static inline rqs_u64 rqs_ring_offset(rqs_u64 history) {
    return RQS_HISTORY_OFFSET + history * RQS_SLOT_BYTES;
}

static inline rqs_u64 rqs_cpu_bytes(rqs_u64 history, rqs_u64 ring) {
    return rqs_ring_offset(history) + ring * RQS_SLOT_BYTES;
}

#endif
