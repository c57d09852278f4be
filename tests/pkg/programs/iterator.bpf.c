// SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause)
// Lists all tasks: text that the kernel makes.
#include "vmlinux.h"

#include <bpf/bpf_helpers.h>

SEC("iter/task")
int list(struct bpf_iter__task* ctx) {
    struct seq_file* seq = ctx->meta->seq;
    struct task_struct* task = ctx->task;
    static const char format[] = "%d\t%s\n";
    unsigned long long arguments[2];

    if (!task)
        return 0;
    arguments[0] = task->pid;
    arguments[1] = (unsigned long long)task->comm;
    bpf_seq_printf(seq, format, sizeof(format), arguments, sizeof(arguments));
    return 0;
}

char LICENSE[] SEC("license") = "GPL";
