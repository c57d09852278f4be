// SPDX-License-Identifier: BSD-2-Clause
// libbpf's objects as owned values, its log as text, its errors as ours. Shared by every program
// of the project that touches libbpf.
#pragma once

#include <bpf/bpf.h>
#include <bpf/btf.h>
#include <bpf/libbpf.h>

#include <memory>
#include <string>

#include "util/deleter.h"
#include "util/error.h"
#include "util/fd.h"

namespace rqs::bpfkit {

using util::Deleter;

using ObjectPtr = std::unique_ptr<bpf_object, Deleter<bpf_object__close>>;
using LinkPtr = std::unique_ptr<bpf_link, Deleter<bpf_link__destroy>>;
using BtfPtr = std::unique_ptr<btf, Deleter<btf__free>>;
using RingBufferPtr = std::unique_ptr<ring_buffer, Deleter<ring_buffer__free>>;
using PerfBufferPtr = std::unique_ptr<perf_buffer, Deleter<perf_buffer__free>>;

using Fd = util::Fd;

/// Sends libbpf's own messages to stderr (`verbose`) or keeps the last warnings for an error line.
void install_log(bool verbose);

/// libbpf's last warnings since the previous call, as one printable line; empty if none.
std::string take_log();

/// An error line from a libbpf return value (negative errno) plus what libbpf said, if anything.
std::string describe(int error);

/// Whether an error of bpf() means missing privileges rather than a missing feature.
bool is_permission_error(int error);

/// Lifts RLIMIT_MEMLOCK, which maps count against before 5.11 (bpf: "memcg-based memory
/// accounting"); harmless elsewhere, and failing is left to the map creation that needs it.
void lift_memlock_limit();

}  // namespace rqs::bpfkit
