/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause) */
/* What each program here reports: which one it is. */
#ifndef ATTACHED_H
#define ATTACHED_H

enum hook {
    hook_fentry,
    hook_fexit,
    hook_kprobe,
    hook_kprobe_multi,
    hook_kretprobe,
    hook_ksyscall,
    hook_lsm,
    hook_perf_event,
    hook_raw_tp,
    hook_tc,
    hook_tp_btf,
    hook_tracepoint,
    hook_uprobe,
    hook_uretprobe,
    hook_usdt,
    hook_xdp,
};

struct attached {
    enum hook hook;
};

#endif
