// SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause)
/*
 * The hook. sched_switch fires before the kernel closes its own books on the switch
 * (sched_info_switch()), so the stamp of the task that is about to run is still there, and
 * rq->clock - last_queued is the very number that the kernel adds to run_delay a moment later.
 * The tracepoint runs with the runqueue locked and interrupts off: a CPU's state has one writer.
 *
 * A wait is measured in the CPU's state and not on the stack. What lies there the verifier does not
 * follow, so that all the ways to a wait become one before it is published; and most waits are too
 * short to be kept, so that the ring is not touched for them.
 */
#include "bpf/emit.bpf.h"
#include "bpf/filter.bpf.h"
#include "bpf/waker.bpf.h"

/* What is remembered of a task from its departure to its next arrival, in one word. */
enum {
    BASE_MAY_BE_THROTTLED = 1, /* its group's quota may keep it off the CPU */
    BASE_KIND_SHIFT = 1,       /* how its next wait begins: woken, preempted or yielded */
    BASE_KIND_MASK = 3,
    BASE_RUN_DELAY_SHIFT = 3, /* what the kernel had charged to it by its last arrival */
};

static __always_inline u64 next_wait_kind(u8 left) {
    return left == RQS_LEFT_PREEMPTED ? RQS_WAIT_KIND_PREEMPTED
           : left == RQS_LEFT_YIELDED ? RQS_WAIT_KIND_YIELDED
                                      : RQS_WAIT_KIND_WOKEN;
}

static __always_inline void remember_departure(struct tagged* bases, struct task_struct* prev,
                                               bool preempt, u8 left, u64 clock, u64 base_mask) {
    u32 tid = prev->pid;
    u64 owner = identity(prev);

    tagged_store(base_of(bases, tid, base_mask), owner,
                 prev->sched_info.run_delay << BASE_RUN_DELAY_SHIFT |
                     next_wait_kind(left) << BASE_KIND_SHIFT | may_be_throttled(prev));
    /* Preempted on its way to sleep: it stays runnable, but sched_info_depart() stamps only tasks
       in state RUNNING. */
    if (preempt && about_to_sleep(prev)) {
        struct tagged* unstamped = unstamped_of(tid);

        if (unstamped)
            tagged_store(unstamped, owner, clock);
    }
}

/* What is known of a wait before its length here. */
struct background {
    u64 elsewhere_ns; /* queued on other CPUs */
    bool throttled;   /* quotas may have to do with it */
    u8 kind;          /* enum rqs_wait_kind */
    u8 flags;
};

/*
 * The part of the wait that was spent queued on other CPUs. Moving a queued task dequeues it, which
 * adds to run_delay and restarts the stamp: what run_delay has grown since the task last ran.
 */
static __always_inline struct background background_of(struct tagged* bases,
                                                       struct task_struct* next, u64 owner,
                                                       u64 base_mask) {
    struct background known = {};
    u64 run_delay = next->sched_info.run_delay;
    u64 base;

    if (!next->sched_info.pcount) { /* has never run: all of it belongs to this wait */
        known.elsewhere_ns = run_delay;
        known.throttled = !throttles_tasks(next);
        known.kind = RQS_WAIT_KIND_CREATED;
        return known;
    }
    if (!tagged_load(base_of(bases, next->pid, base_mask), owner, &base)) {
        known.flags = RQS_WAIT_NO_BASE;
        known.throttled = true;
        known.kind = RQS_WAIT_KIND_UNKNOWN;
        return known;
    }
    known.throttled = base & BASE_MAY_BE_THROTTLED;
    known.kind = base >> BASE_KIND_SHIFT & BASE_KIND_MASK;
    known.elsewhere_ns = run_delay - (base >> BASE_RUN_DELAY_SHIFT);
    return known;
}

/* False if it did not wait at all, as far as anybody knows. */
static __always_inline bool measure(struct rqs_draft* draft, struct tagged* bases,
                                    struct task_struct* next, u64 clock, u64 base_mask) {
    u64 queued = next->sched_info.last_queued;
    u64 owner = identity(next);
    struct tagged* unstamped;

    if (queued) {
        struct background known = background_of(bases, next, owner, base_mask);

        draft->elsewhere_ns = known.elsewhere_ns;
        draft->flags |= known.flags | known.kind << RQS_WAIT_KIND_SHIFT;
        if (!known.throttled)
            draft->group = 0;
    } else {
        unstamped = unstamped_of(next->pid);
        if (!unstamped || !tagged_load(unstamped, owner, &queued))
            return false;
        unstamped->check = ~unstamped->value;
        if ((__s64)(clock - queued) <= 0) /* it was moved, and the CPUs' clocks differ */
            return false;
        draft->elsewhere_ns = 0;
        draft->flags |= RQS_WAIT_UNSTAMPED | RQS_WAIT_KIND_PREEMPTED << RQS_WAIT_KIND_SHIFT;
    }
    draft->here_ns = clock - queued;
    return true;
}

static __always_inline struct rqs_wait_b* wait_b_at(struct rqs_cpu* cpu, u64 ring_mask) {
    return (void*)ring_at(cpu, cpu->head + 1, ring_mask);
}

static __always_inline void keep(struct rqs_cpu* cpu, struct task_struct* next,
                                 struct task_struct* curr, u32 run_seq, u64 clock,
                                 const struct hot_knobs* hot) {
    struct rqs_wait_a* a = (void*)ring_at(cpu, cpu->head, hot->ring_mask);
    struct rqs_wait_b* b = wait_b_at(cpu, hot->ring_mask);

    a->kind = RQS_KIND_WAIT_A;
    a->policy = policy_of(next);
    a->prio = next->prio;
    a->seq = run_seq;
    a->mono_ns = mono_ns(cpu, clock);
    a->here_ns = cpu->draft.here_ns;
    a->elsewhere_ns = cpu->draft.elsewhere_ns;
    a->tid = next->pid;
    a->pid = next->tgid;
    a->cgroup_id = v2_cgroup_id(curr);
    copy_comm(a->comm, next);
    b->kind = RQS_KIND_WAIT_B;
    b->flags = cpu->draft.flags;
    b->group = cpu->draft.group;
    b->sched_cgroup_id = sched_cgroup_id(curr, hot->modes);
    b->ppid = MODE(hot->modes, with_parents) ? parent_pid(curr) : 0;
    b->run_delay_ns = next->sched_info.run_delay;
    b->runtime_ns = next->se.sum_exec_runtime;
    emit(cpu, b);
}

SEC("tp_btf/sched_switch")
int on_switch(u64* ctx) {
    bool preempt = ctx[0];
    struct task_struct* prev = (void*)ctx[1];
    struct task_struct* next = (void*)ctx[2];
    struct cfs_rq* cfs_rq = next->se.cfs_rq;
    struct rq* rq = cfs_rq->rq;
    u64 clock = rq->clock;
    u32 cpu_id = bpf_get_smp_processor_id();
    struct hot_knobs hot = read_hot_knobs();
    struct rqs_cpu* cpu = cpu_state(cpu_id);
    struct tagged* bases = run_delay_base_table();
    u8 left = how_it_left(prev, preempt);
    u32 run_seq = 0;
    u32 group = 0;

    if (!cpu || !bases)
        return 0;
    if (MODE(hot.modes, with_history))
        run_seq = history_add_run(cpu, rq, prev, left, clock, &hot);
    if (prev->pid)
        remember_departure(bases, prev, preempt, left, clock, hot.base_mask);
    if (MODE(hot.modes, with_waker)) {
        cpu->interrupts = 0; /* no switch happens in one */
        forget_waker(prev, preempt);
    }
    if (!next->pid)
        return 0;
    cpu->draft.flags = 0;
    /* rq->curr is next, but by a way that verifiers since 6.2 do not trust: for each pointer that
       is read from a task that they trust they search all of the kernel's types, four times over.
     */
    if (MODE(hot.modes, with_history) && has_quota_group(next, cfs_rq, rq))
        group = quota_group(rq->curr);
    cpu->draft.group = group;
    if (group)
        history_add_throttle(cpu, rq, cfs_rq, group, clock, &hot);
    if (MODE(hot.modes, with_waker))
        cpu->draft.flags = take_waker(next, wait_b_at(cpu, hot.ring_mask));
    if (!measure(&cpu->draft, bases, next, clock, hot.base_mask))
        return 0;
    if (knobs.self_pid && (u32)next->tgid == knobs.self_pid)
        return 0;
    if (MODE(hot.modes, filter_any) && !(wanted(rq->curr) && wanted_cpu(cpu_id)))
        return 0;
    cpu->seen++;
    if (cpu->draft.flags & RQS_WAIT_NO_BASE)
        cpu->unverified++;
    if (knobs.min_ns && cpu->draft.here_ns + cpu->draft.elsewhere_ns <= knobs.min_ns)
        return 0;
    if (!MODE(hot.modes, with_history))
        run_seq = history_add_run(cpu, rq, prev, left, clock, &hot);
    keep(cpu, next, rq->curr, run_seq, clock, &hot);
    return 0;
}

/*
 * -- command: what the tool and its descendants fork is marked before it can run. A mark ends when
 * the id is given to somebody else; ids are given by fork alone.
 */
SEC("tp_btf/sched_process_fork")
int on_fork(u64* ctx) {
    struct task_struct* parent = (void*)ctx[0];
    struct task_struct* child = (void*)ctx[1];
    bool wanted = has_pid_bit(parent->tgid, RQS_PID_ANCESTOR | RQS_PID_DESCENDANT);
    u8* bits;

    if (child->tgid == parent->tgid)
        return 0;
    bits = pid_bits(child->tgid);
    if (bits && wanted)
        *bits |= RQS_PID_DESCENDANT;
    else if (bits)
        *bits &= ~RQS_PID_DESCENDANT;
    return 0;
}

/* --waker. sched_waking fires in the context of the waker. */
SEC("tp_btf/sched_waking")
int on_waking(u64* ctx) {
    struct task_struct* task = (void*)ctx[0];
    u64 id = bpf_get_current_pid_tgid();
    u32 cpu_id = bpf_get_smp_processor_id();
    struct rqs_cpu* cpu = cpu_state(cpu_id);
    struct waker* slot = waker_of(task);
    struct waker waker = {};

    if (!cpu || !slot || !wanted(task))
        return 0;
    waker.tid = (u32)id;
    waker.pid = id >> 32;
    waker.cpu = cpu_id;
    waker.interrupt = cpu->interrupts != 0;
    bpf_get_current_comm(waker.comm, sizeof(waker.comm));
    waker.check = waker_check(&waker, identity(task));
    *slot = waker;
    return 0;
}

static __always_inline int count_interrupt(int by) {
    struct rqs_cpu* cpu = cpu_state(bpf_get_smp_processor_id());

    if (cpu && (by > 0 || cpu->interrupts)) /* attached in the middle of one */
        cpu->interrupts += by;
    return 0;
}

SEC("tp_btf/irq_handler_entry")
int on_irq_entry(void* ctx) {
    return count_interrupt(1);
}

SEC("tp_btf/irq_handler_exit")
int on_irq_exit(void* ctx) {
    return count_interrupt(-1);
}

SEC("tp_btf/softirq_entry")
int on_softirq_entry(void* ctx) {
    return count_interrupt(1);
}

SEC("tp_btf/softirq_exit")
int on_softirq_exit(void* ctx) {
    return count_interrupt(-1);
}

SEC("tp_btf/hrtimer_expire_entry")
int on_hrtimer_entry(void* ctx) {
    return count_interrupt(1);
}

SEC("tp_btf/hrtimer_expire_exit")
int on_hrtimer_exit(void* ctx) {
    return count_interrupt(-1);
}

static __always_inline void note_running(struct rqs_stuck* stuck, struct task_struct* running) {
    stuck->running_tid = running->pid;
    stuck->running_pid = running->tgid;
    stuck->running_prio = running->prio;
    copy_comm(stuck->running_comm, running);
}

/* On the CPU of the reader it is the reader that runs; what it interrupted is meant. */
static __always_inline void note_last_run(struct rqs_stuck* stuck) {
    struct rqs_cpu* cpu = cpu_state(stuck->cpu);
    struct rqs_run* run;
    u64 comm[2];

    if (!cpu)
        return;
    run = (void*)ring_at(cpu, cpu->newest_run, knobs.ring_slots - 1);
    if (run->kind != RQS_KIND_RUN) /* nothing has been switched there yet */
        return;
    stuck->running_tid = run->tid;
    stuck->running_pid = run->pid;
    stuck->running_prio = run->prio;
    comm[0] = ((const u64*)run->comm)[0];
    comm[1] = ((const u64*)run->comm)[1];
    /* Else the compiler makes one load of this and of that in note_running(), which is not to be:
       one instruction may not read from a map here and from a task there. */
    barrier_var_u64(comm[0]);
    barrier_var_u64(comm[1]);
    ((u64*)stuck->running_comm)[0] = comm[0];
    ((u64*)stuck->running_comm)[1] = comm[1];
}

/* --stuck: everything that is waiting now. Runs when user space asks, not at a switch. */
SEC("iter/task")
int find_waiting(struct bpf_iter__task* ctx) {
    struct task_struct* task = ctx->task;
    struct task_struct* running;
    struct tagged* bases = run_delay_base_table();
    struct rqs_stuck stuck = {};
    struct background known;
    struct cfs_rq* cfs_rq;
    struct rq* rq;
    u64 queued;

    if (!task || !task->pid || !bases)
        return 0;
    if (knobs.self_pid && (u32)task->tgid == knobs.self_pid)
        return 0;
    queued = task->sched_info.last_queued;
    if (!queued || task->on_cpu)
        return 0;
    cfs_rq = task->se.cfs_rq;
    rq = cfs_rq->rq;
    stuck.cpu = rq->cpu;
    if ((__s64)(rq->clock - queued) <= 0 || !wanted(task) || !wanted_cpu(stuck.cpu))
        return 0;
    known = background_of(bases, task, identity(task), knobs.base_slots - 1);
    stuck.waiting_ns = rq->clock - queued + known.elsewhere_ns;
    if (stuck.waiting_ns <= knobs.min_ns)
        return 0;
    stuck.wait_kind = known.kind;
    stuck.mono_ns = bpf_ktime_get_ns();
    stuck.cgroup_id = v2_cgroup_id(task);
    stuck.sched_cgroup_id =
        sched_cgroup_id(task, *(const volatile u64*)&knobs.cpu_controller_is_v1);
    stuck.tid = task->pid;
    stuck.pid = task->tgid;
    stuck.prio = task->prio;
    stuck.policy = policy_of(task);
    copy_comm(stuck.comm, task);
    stuck.throttled = task->prio >= 100 && is_throttled(task);
    running = rq->curr;
    if ((u32)running->pid != (u32)bpf_get_current_pid_tgid())
        note_running(&stuck, running);
    else
        note_last_run(&stuck);
    bpf_seq_write(ctx->meta->seq, &stuck, sizeof(stuck));
    return 0;
}

char LICENSE[] SEC("license") = "Dual BSD/GPL";
