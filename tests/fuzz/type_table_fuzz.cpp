// SPDX-License-Identifier: BSD-2-Clause
// Type information (BTF) that may be anything: selecting from it neither reads outside of it nor
// fails to end, and what comes out is BTF.
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <string>
#include <vector>

#include "bpfkit/kernel_types.h"

namespace {

rqs::bpfkit::BtfPtr wanted_types() {
    rqs::bpfkit::BtfPtr types(btf__new_empty());
    const int integer = btf__add_int(types.get(), "int", 4, 0);
    for (const char* name : {"task_struct", "rq", "sched_info"}) {
        btf__add_struct(types.get(), name, 64);
        std::uint32_t at = 0;
        for (const char* member : {"pid", "comm", "sched_info", "se", "cfs_rq", "clock", "curr"}) {
            btf__add_field(types.get(), member, integer, at, 0);
            at += 32;
        }
    }
    return types;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    static const auto wanted = wanted_types();
    static const std::vector<std::string> hooks{"btf_trace_sched_switch", "bpf_iter_task"};
    std::vector<std::byte> bytes(size);  // a copy: aligned, and its end is watched
    if (size != 0) {
        std::memcpy(bytes.data(), data, size);
    }
    const auto found = rqs::bpfkit::select_types(bytes, *wanted, hooks);
    if (found) {
        std::uint32_t length = 0;
        const void* raw = btf__raw_data(found->structs.get(), &length);
        const rqs::bpfkit::BtfPtr again(btf__new(raw, length));
        if (!again) {
            std::abort();
        }
    }
    return 0;
}
