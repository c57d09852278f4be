// SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause)
#include "report.bpf.h"

#include <bpf/usdt.bpf.h>

SEC("usdt/attach_target:rqs:probe_me")
int on_event(struct pt_regs* ctx) {
    return report(hook_usdt);
}
