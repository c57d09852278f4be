/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause) */
/* What runqslower reports: one record for each wait. The members, in this order, are the columns.
 */
#ifndef RUNQSLOWER_H
#define RUNQSLOWER_H

#define TASK_COMM_LEN 16

struct event {
    char task[TASK_COMM_LEN];      /* who waited */
    char prev_task[TASK_COMM_LEN]; /* who had the CPU until then */
    unsigned long long delta_us;   /* for how long it was runnable but not running */
    int pid;                       /* the waiter's thread id */
    int prev_pid;                  /* the thread id of who had the CPU */
};

#endif
