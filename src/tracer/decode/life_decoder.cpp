// SPDX-License-Identifier: BSD-2-Clause
#include "decode/life_decoder.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstring>

#include "decode/raw_comm.h"

namespace rqs {
namespace {

/// The bytes as a record of that type, which they are as long as.
template <typename T>
T view_as(std::span<const std::byte> bytes) {
    T value;
    std::memcpy(&value, bytes.data(), sizeof(value));
    return value;
}

Fork fork_of(const rqs_life& raw) {
    return {raw.head.mono_ns,
            {raw.head.tid, raw.pid, comm_of(raw.comm)},
            {raw.child_tid, raw.child_pid, comm_of(raw.child_comm)}};
}

Exit exit_of(const rqs_life& raw) {
    return {raw.head.mono_ns, {raw.head.tid, raw.pid, comm_of(raw.comm)}};
}

}  // namespace

Affinity decode_affinity(const rqs_affinity& raw, std::uint32_t cpus) {
    constexpr std::uint32_t bits = 64;
    Affinity affinity;
    affinity.ts_ns = raw.head.mono_ns;
    affinity.tid = raw.head.tid;
    const std::uint32_t known = std::min<std::uint32_t>(cpus, RQS_AFFINITY_CPUS);
    affinity.cpus.assign(raw.cpus, raw.cpus + (known + bits - 1) / bits);
    if (known % bits != 0) {
        affinity.cpus.back() &= (std::uint64_t{1} << known % bits) - 1;
    }
    return affinity;
}

Status decode_life(std::span<const std::byte> bytes, std::uint32_t cpus, RecordHandler& handler) {
    const auto kind = bytes.size() < sizeof(rqs_life_head) ? 0 : view_as<rqs_life_head>(bytes).kind;
    if (kind == RQS_LIFE_FORK && bytes.size() == sizeof(rqs_life)) {
        handler.on_fork(fork_of(view_as<rqs_life>(bytes)));
        return {};
    }
    if (kind == RQS_LIFE_EXIT && bytes.size() == sizeof(rqs_life)) {
        handler.on_exit(exit_of(view_as<rqs_life>(bytes)));
        return {};
    }
    if (kind == RQS_LIFE_AFFINITY && bytes.size() == sizeof(rqs_affinity)) {
        handler.on_affinity(decode_affinity(view_as<rqs_affinity>(bytes), cpus));
        return {};
    }
    return fail(
        fmt::format("the kernel sent a thread's event of kind {} and {} bytes; please report this",
                    kind, bytes.size()));
}

}  // namespace rqs
