// SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause)
#include "report.bpf.h"

SEC("fexit/hrtimer_nanosleep")
int on_event(void* ctx) {
    return report(hook_fexit);
}
