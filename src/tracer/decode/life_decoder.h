// SPDX-License-Identifier: BSD-2-Clause
// Threads that begin, end and change their CPUs (contract/lives.h) as records.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

#include "contract/lives.h"
#include "model/event.h"
#include "model/record.h"
#include "util/error.h"

namespace rqs {

/// Hands on one record; takes any bytes. `cpus`: highest CPU number plus one. An error means that
/// the bytes are not what the contract says, and that nothing was handed on.
Status decode_life(std::span<const std::byte> bytes, std::uint32_t cpus, RecordHandler& handler);

/// Without what lies beyond the last CPU: the kernel's mask may be shorter than the record's.
Affinity decode_affinity(const rqs_affinity& raw, std::uint32_t cpus);

}  // namespace rqs
