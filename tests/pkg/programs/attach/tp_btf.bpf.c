// SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause)
#include "report.bpf.h"

SEC("tp_btf/sched_switch")
int on_event(void* ctx) {
    return report(hook_tp_btf);
}
