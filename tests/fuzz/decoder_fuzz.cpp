// SPDX-License-Identifier: BSD-2-Clause
// Bytes → slots → CpuDecoder. The first byte chooses the history length (2 to 256), each 64 bytes
// behind it are a slot (contract/wire.h). Whatever the slots say: every wait that comes out has
// parts that sum to it, none of them empty, largest first, and names that end.
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>

#include "decode/cpu_decoder.h"

namespace {

void demand(bool holds, const char* what) {
    if (!holds) {
        std::fprintf(stderr, "broken: %s\n", what);
        std::abort();
    }
}

void check_name(const rqs::Comm& comm) {
    demand(comm.bytes.back() == '\0', "a name ends");
}

void check(const rqs::Wait& wait) {
    std::uint64_t sum = 0;
    std::uint64_t before = UINT64_MAX;
    for (const auto& part : wait.why) {
        demand(part.ns > 0, "no part is empty");
        demand(part.ns <= before, "the largest part comes first");
        demand(sum + part.ns >= sum, "the sum does not overflow");
        demand(part.kind == rqs::PartKind::ran || part.relation == rqs::Relation::none,
               "only who ran has a relation");
        check_name(part.task.comm);
        before = part.ns;
        sum += part.ns;
    }
    demand(sum == wait.wait_ns, "parts sum to the wait");
    check_name(wait.task.comm);
    check_name(wait.prev.comm);
    if (wait.waker) {
        check_name(wait.waker->task.comm);
    }
}

void check_stuck(const std::uint8_t* data, std::size_t size) {
    rqs_stuck raw{};
    if (size < sizeof(raw)) {
        return;
    }
    std::memcpy(&raw, data, sizeof(raw));
    const rqs::Stuck stuck = rqs::decode_stuck(raw);
    check_name(stuck.task.comm);
    check_name(stuck.running.comm);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    if (size == 0) {
        return 0;
    }
    check_stuck(data, size);
    rqs::CpuDecoder decoder(1, std::size_t{2} << (data[0] % 8));
    rqs::Wait wait;
    for (std::size_t at = 1; size - at >= sizeof(rqs_slot); at += sizeof(rqs_slot)) {
        rqs_slot slot;
        std::memcpy(&slot, data + at, sizeof(slot));
        if (const auto complete = decoder.take(slot, wait); complete && *complete) {
            check(wait);
        }
    }
    return 0;
}
