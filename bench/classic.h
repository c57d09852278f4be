/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause) */
/* What the classic program hands to its loader through the perf buffer: one wait that was longer
 * than the threshold. Parses alone; sizes are asserted on both sides. */
#pragma once

#define CLASSIC_COMM_LEN 16

struct classic_event {
    unsigned long long wait_ns;
    unsigned int tid;
    unsigned int prev_tid;
    char comm[CLASSIC_COMM_LEN];
    char prev_comm[CLASSIC_COMM_LEN];
};
