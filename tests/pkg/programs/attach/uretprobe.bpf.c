// SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause)
#include "report.bpf.h"

SEC("uretprobe/attach_target:probe_me")
int on_event(struct pt_regs* ctx) {
    return report(hook_uretprobe);
}
