// SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause)
// Two iterators, a line from each.
#include "vmlinux.h"

#include <bpf/bpf_helpers.h>

static __always_inline void say(struct seq_file* seq, const char* format, unsigned size) {
    bpf_seq_printf(seq, format, size, 0, 0);
}

SEC("iter/task")
int tasks(struct bpf_iter__task* ctx) {
    static const char format[] = "task\n";

    if (ctx->meta->seq_num == 0)
        say(ctx->meta->seq, format, sizeof(format));
    return 0;
}

SEC("iter/bpf_map")
int maps(struct bpf_iter__bpf_map* ctx) {
    static const char format[] = "map\n";

    if (ctx->meta->seq_num == 0)
        say(ctx->meta->seq, format, sizeof(format));
    return 0;
}

char LICENSE[] SEC("license") = "GPL";
