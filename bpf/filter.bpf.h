/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause) */
/* Which tasks are wanted. A filter that is off is not in the loaded program. */
#ifndef RQS_BPF_FILTER_H
#define RQS_BPF_FILTER_H

#include "bpf/state.bpf.h"

static __always_inline u8* pid_bits(u32 id) {
    u32 zero = 0;
    u8* bytes = bpf_map_lookup_elem(&pids, &zero);
    u64 at = id;

    /* The register that is checked must be the one that is added: a verifier before 5.16 forgets
       the bounds of what was spilled to the stack in between. */
    barrier_var_u64(at);
    if (!bytes || at >= knobs.pid_limit)
        return 0;
    return bytes + at;
}

static __always_inline bool has_pid_bit(u32 id, u8 any) {
    u8* bits = pid_bits(id);

    return bits && (*bits & any);
}

static __always_inline bool comm_matches(struct task_struct* task) {
    const u64* comm = (const u64*)task->comm;

    return ((comm[0] & knobs.comm_mask[0]) == knobs.comm_value[0]) &&
           ((comm[1] & knobs.comm_mask[1]) == knobs.comm_value[1]);
}

static __always_inline bool cgroup_matches(struct task_struct* task) {
    struct cgroup* cgroup = task->cgroups->dfl_cgrp;
    u64 id = 0;

    if (cgroup->level < (int)knobs.cgroup_level)
        return false;
    if (bpf_core_field_exists(cgroup->ancestors)) {
        struct cgroup* ancestor = 0;
        u32 at = bpf_core_field_offset(cgroup->ancestors) + knobs.cgroup_level * sizeof(u64);

        bpf_probe_read_kernel(&ancestor, sizeof(ancestor), (void*)cgroup + at);
        id = BPF_CORE_READ(ancestor, kn, id);
    } else if (bpf_core_field_exists(cgroup->ancestor_ids)) {
        u32 at = bpf_core_field_offset(cgroup->ancestor_ids) + knobs.cgroup_level * sizeof(u64);

        bpf_probe_read_kernel(&id, sizeof(id), (void*)cgroup + at);
    }
    return id == knobs.cgroup_id;
}

static __always_inline bool cgroup_map_matches(struct task_struct* task) {
    u64 id = v2_cgroup_id(task);

    return bpf_map_lookup_elem(&cgroup_map, &id) != 0;
}

static __always_inline bool mntns_map_matches(struct task_struct* task) {
    struct nsproxy* nsproxy = task->nsproxy;
    u64 inum;

    if (!nsproxy) /* the task is exiting */
        return false;
    inum = nsproxy->mnt_ns->ns.inum;
    return bpf_map_lookup_elem(&mntns_map, &inum) != 0;
}

static __always_inline bool wanted_cpu(u32 cpu) {
    u8* yes;

    if (!knobs.filter_cpu)
        return true;
    yes = bpf_map_lookup_elem(&wanted_cpus, &cpu);
    return yes && *yes;
}

/* All that are on must hold; --cpu says where the wait ends and is looked at apart. */
static __always_inline bool wanted(struct task_struct* task) {
    if (knobs.filter_pid && !has_pid_bit(task->tgid, RQS_PID_PROCESS))
        return false;
    if (knobs.filter_tid && !has_pid_bit(task->pid, RQS_PID_THREAD))
        return false;
    if (knobs.filter_descendants && !has_pid_bit(task->tgid, RQS_PID_DESCENDANT))
        return false;
    if (knobs.filter_comm && !comm_matches(task))
        return false;
    if (knobs.filter_cgroup && !cgroup_matches(task))
        return false;
    if (knobs.filter_cgroup_map && !cgroup_map_matches(task))
        return false;
    if (knobs.filter_mntns_map && !mntns_map_matches(task))
        return false;
    return true;
}

#endif
