// SPDX-License-Identifier: BSD-2-Clause
// Records from the running kernel: loads the hook and reads its rings.
#pragma once

#include <sys/types.h>

#include <memory>
#include <optional>

#include "model/options.h"
#include "sources/source.h"

namespace rqs {

/// How far back in time an event may come after a later one of another CPU and still be put in
/// its place. Events are held back this long before they are handed on.
constexpr std::uint64_t order_window_ns = 10'000'000;

/// `options` must outlive the source. `ancestor`: trace what descends from this process after
/// start(), and nobody else (-- command).
std::unique_ptr<Source> make_bpf_source(const SourceOptions& options,
                                        std::optional<pid_t> ancestor);

/// Loads and attaches the hook and takes it away again: what `doctor` calls the proof.
Status try_bpf();

}  // namespace rqs
