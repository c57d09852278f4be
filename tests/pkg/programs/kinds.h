/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause) */
#ifndef KINDS_H
#define KINDS_H

struct trace {
    int pid;
    int cpu_id;
    char comm[16];
    int kernel_bytes;
    int user_bytes;
    unsigned long long kernel[8];
    unsigned long long user[8];
};

struct hist {
    unsigned int slots[8];
};

struct kinds {
    unsigned long long when;
    int pid;
};

#endif
