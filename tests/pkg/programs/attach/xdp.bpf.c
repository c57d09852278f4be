// SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause)
#include "report.bpf.h"

/// @ifindex 1
/// @flags 2
SEC("xdp")
int on_event(struct xdp_md* ctx) {
    report(hook_xdp);
    return XDP_PASS;
}
