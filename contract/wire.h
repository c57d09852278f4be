/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause) */
/*
 * The wire contract: what the BPF program writes and user space reads. The only code that both
 * sides include. It parses alone, in C and C++.
 *
 * One array map, `cpus`, is mapped into user space. Its element for each CPU is
 *
 *     struct rqs_cpu | struct rqs_throttle_seen x RQS_THROTTLE_SLOTS | struct rqs_slot x ring
 *
 * `ring` is a power of two chosen at start (rqs_cpu_bytes()). It is a stream of slots from that CPU
 * (one producer: sched_switch runs with the runqueue locked and interrupts off) to user space (one
 * consumer). Positions count slots and never wrap; the place of a position in the ring is
 * position & (ring - 1). What lies before `head` is published, in whole groups:
 *
 *     WAIT_A  WAIT_B  (RUN | THROTTLE) x rqs_wait_b.count
 *
 * Behind `head` the kernel side drafts the next group. Each switch writes one RUN slot there, which
 * is the CPU's history: when there are more than `history` (a power of two) of them before a wait
 * is kept, the newest takes the place of the oldest, so that the slots of a group lie in a circle
 * that begins at rqs_wait_b.first. Keeping a wait publishes the group: `head` moves behind it.
 * Nothing is copied, and a slot is shipped at most once, with the next wait that is kept, whether
 * that one needs it or a later and longer one does. User space keeps what it was shipped and knows
 * by `seq` what it was not. The room for a draft, RQS_WAIT_SLOTS + history, is always free: a wait
 * that would leave less than that is lost, and counted; its history stays in the draft.
 *
 * Rejected: a history of its own that is copied into the ring (a loop in the hook of as many rounds
 * as the history has slots, with interrupts off); the history in each event (grows with the number
 * of runnable tasks); BPF_MAP_TYPE_RINGBUF (a helper call and a lock for each event).
 *
 * Where nobody asks what waits were spent on (rqs_knobs.with_history), only a kept wait writes a
 * RUN slot, that of the task that left the CPU to it, and no THROTTLE slots are written.
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
    RQS_WAIT_SLOTS = 2, /* WAIT_A and WAIT_B */
    RQS_HISTORY_MIN = 2,
    RQS_HISTORY_MAX = 8192,
    RQS_RING_MIN = 16, /* slots; at least four histories */
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

/* rqs_run.policy and rqs_wait_a.policy: SCHED_* in the low bits; a run has its enum rqs_left in the
   bits from RQS_LEFT_SHIFT on. */
enum {
    RQS_POLICY_MASK = 0x0f,
    RQS_LEFT_SHIFT = 4,
    RQS_LEFT_MASK = 0x70,
    RQS_POLICY_KTHREAD = 0x80,
};

/* How a task left the CPU. */
enum rqs_left {
    RQS_LEFT_ASLEEP = 0,  /* interruptible, or idle as kernel threads are */
    RQS_LEFT_BLOCKED = 1, /* uninterruptible */
    RQS_LEFT_STOPPED = 2, /* stopped, traced or parked */
    RQS_LEFT_DEAD = 3,
    RQS_LEFT_PREEMPTED = 4, /* it stays runnable */
    RQS_LEFT_YIELDED = 5,   /* and so does this one, which called sched_yield() */
};

enum rqs_wait_flags {
    RQS_WAIT_UNSTAMPED = 1,  /* the kernel does not count it: preempted while about to sleep */
    RQS_WAIT_NO_BASE = 2,    /* queued before tracing began: parts on other CPUs may lack */
    RQS_WAIT_WAKER = 4,      /* the waker fields hold */
    RQS_WAIT_WAKER_IRQ = 8,  /* woken from an interrupt: the waker is whom it interrupted */
    RQS_WAIT_KIND_SHIFT = 4, /* enum rqs_wait_kind */
};

/* What a wait begins with. */
enum rqs_wait_kind {
    RQS_WAIT_KIND_WOKEN = 0,
    RQS_WAIT_KIND_PREEMPTED = 1,
    RQS_WAIT_KIND_YIELDED = 2,
    RQS_WAIT_KIND_CREATED = 3, /* it has never run */
    RQS_WAIT_KIND_UNKNOWN = 4, /* how it left the CPU was not seen */
};

/* What user space sets before loading; the programs' read-only data. */
struct rqs_knobs {
    rqs_u64 min_ns;        /* keep waits longer than this; 0 keeps every wait */
    rqs_u64 comm_value[2]; /* the wanted prefix of the name, and a mask of its bytes */
    rqs_u64 comm_mask[2];
    rqs_u64 cgroup_id;     /* v2: this one and all below it, */
    rqs_u32 cgroup_level;  /* which lies at this depth */
    rqs_u32 history_slots; /* power of two, RQS_HISTORY_MIN..RQS_HISTORY_MAX */
    rqs_u32 ring_slots;    /* power of two, at least RQS_RING_MIN and four histories */
    rqs_u32 base_slots;    /* power of two */
    rqs_u32 pid_limit;     /* bytes of `pids` */
    rqs_u32 self_pid;      /* this process's waits are left out; 0: nobody's */
    /* The first eight, which are looked at in each switch, are read together. */
    rqs_u8 cpu_controller_is_v1;
    rqs_u8 filter_any; /* one of those below */
    rqs_u8 with_waker;
    rqs_u8 with_stuck;
    rqs_u8 with_parents; /* fill in `ppid` */
    rqs_u8 with_history; /* else a wait brings along the run before it, and nothing more */
    rqs_u8 filter_cpu;
    rqs_u8 filter_pid;
    rqs_u8 filter_tid;
    rqs_u8 filter_descendants;
    rqs_u8 filter_comm;
    rqs_u8 filter_cgroup;
    rqs_u8 filter_cgroup_map;
    rqs_u8 filter_mntns_map;
    rqs_u8 reserved[2];
};

/* Bits of a byte of the `pids` map. */
enum rqs_pid_bits {
    RQS_PID_PROCESS = 1,
    RQS_PID_THREAD = 2,
    RQS_PID_DESCENDANT = 4,
    RQS_PID_ANCESTOR = 8, /* of descendants, itself not wanted */
};

/*
 * A stretch of time in which one task had the CPU: from the previous slot's end_ns to its own.
 * irq and steal are counted on this CPU since boot, where the kernel accounts them, modulo 2^48:
 * only their growth means something, and 2^48 ns are three days.
 */
struct rqs_run {
    rqs_u8 kind;
    rqs_u8 policy;
    rqs_s16 prio;
    rqs_u32 seq; /* of RUN and THROTTLE slots on this CPU, wraps */
    rqs_u64 end_ns;
    rqs_u32 tid; /* 0: the idle task */
    rqs_u32 pid;
    char comm[RQS_COMM_LEN];
    rqs_u64 cgroup_id; /* in the hierarchy of the cpu controller */
    rqs_u32 irq_low;
    rqs_u32 steal_low;
    rqs_u16 irq_high;
    rqs_u16 steal_high;
    rqs_u32 ppid; /* the parent process, where rqs_knobs.with_parents */
};

/* Found at a switch: the runqueue of a group was throttled since the last look at it. */
struct rqs_throttle {
    rqs_u8 kind;
    rqs_u8 pad[3];
    rqs_u32 seq;
    rqs_u64 end_ns;   /* when it was found */
    rqs_u64 group;    /* serial number of the group; see rqs_wait_b.group */
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
    rqs_u16 count; /* of the RUN and THROTTLE slots behind it */
    rqs_u16 first; /* which of them is the oldest; the others follow in a circle */
    rqs_u16 waker_cpu;
    rqs_u64 sched_cgroup_id; /* in the hierarchy of the cpu controller */
    /* The low half of the serial number of the group whose quota holds for the task, as in
       rqs_throttle; 0: the task cannot have been throttled. The kernel gives a number once. */
    rqs_u32 group;
    rqs_u32 ppid; /* the parent process, where rqs_knobs.with_parents */
    /* What the kernel has charged to the task since its birth: before this wait's part on this CPU,
       and for running. */
    rqs_u64 run_delay_ns;
    rqs_u64 runtime_ns;
    rqs_u32 waker_tid;
    rqs_u32 waker_pid;
    char waker_comm[RQS_COMM_LEN];
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

/* What is known of a wait before it is kept; as in rqs_wait_a and rqs_wait_b. */
struct rqs_draft {
    rqs_u64 here_ns;
    rqs_u64 elsewhere_ns;
    rqs_u32 group;
    rqs_u32 flags;
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
    rqs_u32 fresh;           /* history slots since the last publication */
    rqs_u64 rung_tail;       /* the doorbell was rung for this tail already */
    rqs_u64 newest_run;      /* position of the last RUN slot */
    rqs_u32 interrupts;      /* nesting, kept by the hooks of --waker alone */
    rqs_u32 reserved0;
    struct rqs_draft draft; /* of the wait that is being measured */
    rqs_u64 reserved1[2];
    rqs_u64 tail; /* slots consumed; a line of its own */
    rqs_u64 reserved2[7];
};

/* What the task iterator of --stuck writes for each task that is waiting now. */
struct rqs_stuck {
    rqs_u64 waiting_ns;
    rqs_u64 mono_ns;
    rqs_u64 cgroup_id;
    rqs_u64 sched_cgroup_id;
    rqs_u32 cpu;
    rqs_u32 tid;
    rqs_u32 pid;
    rqs_s16 prio;
    rqs_u8 policy; /* as rqs_wait_a.policy */
    rqs_u8 wait_kind;
    char comm[RQS_COMM_LEN];
    rqs_u32 running_tid;
    rqs_u32 running_pid;
    rqs_s16 running_prio;
    rqs_u8 throttled;
    rqs_u8 reserved[5];
    char running_comm[RQS_COMM_LEN];
};

RQS_ASSERT_SIZE(struct rqs_run, RQS_SLOT_BYTES);
RQS_ASSERT_SIZE(struct rqs_throttle, RQS_SLOT_BYTES);
RQS_ASSERT_SIZE(struct rqs_wait_a, RQS_SLOT_BYTES);
RQS_ASSERT_SIZE(struct rqs_wait_b, RQS_SLOT_BYTES);
RQS_ASSERT_SIZE(struct rqs_slot, RQS_SLOT_BYTES);
RQS_ASSERT_SIZE(struct rqs_draft, 24);
RQS_ASSERT_SIZE(struct rqs_cpu, 192);
RQS_ASSERT_SIZE(struct rqs_throttle_seen, 32);
RQS_ASSERT_SIZE(struct rqs_stuck, 96);
RQS_ASSERT_SIZE(struct rqs_knobs, 88);

/* Entries of the tables that the BPF side keeps for itself; user space sets their number. */
enum { RQS_BASE_ENTRY_BYTES = 16 };

/* Where the parts of a CPU's element lie, in bytes from its start. */
enum {
    RQS_THROTTLE_OFFSET = 192,
    RQS_RING_OFFSET = RQS_THROTTLE_OFFSET + RQS_THROTTLE_SLOTS * 32,
};

static inline rqs_u64 rqs_cpu_bytes(rqs_u64 ring) {
    return RQS_RING_OFFSET + ring * RQS_SLOT_BYTES;
}

#endif
