// SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause)
#include "report.bpf.h"

/// @frequency 99
SEC("perf_event")
int on_event(void* ctx) {
    return report(hook_perf_event);
}
