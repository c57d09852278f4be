// SPDX-License-Identifier: BSD-2-Clause
// rqs_empty: an empty program on tp_btf/sched_switch until a signal comes.
#include <fmt/format.h>
#include <poll.h>

#include <memory>

#include "bench/exit_signals.h"
#include "bpfkit/handles.h"
#include "empty.skel.h"

namespace rqs::bench {
namespace {

Status attach_and_wait() {
    bpfkit::install_log(false);
    bpfkit::lift_memlock_limit();
    const std::unique_ptr<empty_bpf, bpfkit::Deleter<empty_bpf__destroy>> skeleton{
        empty_bpf__open_and_load()};
    if (!skeleton) {
        return fail("cannot load the empty program: " + bpfkit::describe(-errno));
    }
    if (const int error = empty_bpf__attach(skeleton.get()); error != 0) {
        return fail("cannot attach the empty program: " + bpfkit::describe(error));
    }
    while (!exit_requested()) {
        ::poll(nullptr, 0, 1000);
    }
    return {};
}

}  // namespace
}  // namespace rqs::bench

int main() {
    rqs::bench::catch_exit_signals();
    if (const rqs::Status status = rqs::bench::attach_and_wait(); !status) {
        fmt::print(stderr, "rqs_empty: {}\n", status.error().message);
        return static_cast<int>(status.error().code);
    }
    return 0;
}
