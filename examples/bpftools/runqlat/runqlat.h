/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause) */
/* What runqlat collects: a histogram for each key. */
#ifndef RUNQLAT_H
#define RUNQLAT_H

#define TASK_COMM_LEN 16
#define MAX_SLOTS 26

struct hist {
    unsigned int slots[MAX_SLOTS]; /* slot i: waits from 2^i to 2^(i+1)-1 microseconds */
    char comm[TASK_COMM_LEN];      /* of the first task that was counted here */
};

#endif
