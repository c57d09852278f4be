/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause) */
/* The few kernel types that the benchmark's BPF programs need; CO-RE finds the fields at load. */
#pragma once

typedef unsigned char __u8;
typedef signed short __s16;
typedef unsigned short __u16;
typedef signed int __s32;
typedef unsigned int __u32;
typedef signed long long __s64;
typedef unsigned long long __u64;
typedef __u16 __be16;
typedef __u32 __be32;
typedef __u32 __wsum;

/* From the bpf() system call's interface. */
enum { BPF_MAP_TYPE_HASH = 1, BPF_MAP_TYPE_PERF_EVENT_ARRAY = 4 };
#define BPF_F_CURRENT_CPU 0xffffffffULL

#define TASK_RUNNING 0

struct task_struct {
    int pid;
    char comm[16];
    unsigned int __state;
} __attribute__((preserve_access_index));

/* Before 5.14 the state was a long of another name. */
struct task_struct___before_5_14 {
    long state;
} __attribute__((preserve_access_index));
