// SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause)
#include "report.bpf.h"

SEC("kretprobe/hrtimer_nanosleep")
int on_event(struct pt_regs* ctx) {
    return report(hook_kretprobe);
}
