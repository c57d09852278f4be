/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause) */
#ifndef BOTH_H
#define BOTH_H

struct both {
    int pid;
    char comm[16];
};

#endif
