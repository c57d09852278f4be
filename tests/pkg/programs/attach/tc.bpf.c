// SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause)
#include "report.bpf.h"

/// @tchook {"ifindex": 1, "attach_point": "BPF_TC_INGRESS"}
/// @tcopts {"handle": 1, "priority": 1}
SEC("tc")
int on_event(struct __sk_buff* ctx) {
    report(hook_tc);
    return 0; /* TC_ACT_OK */
}
