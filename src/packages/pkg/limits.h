// SPDX-License-Identifier: BSD-2-Clause
// A package comes from somewhere else. These bounds stand before every allocation that its author
// could choose; real packages stay two orders of magnitude below them.
#pragma once

#include <cstddef>
#include <cstdint>

namespace rqs::pkg::limits {

constexpr std::size_t package_bytes = std::size_t{64} << 20;  ///< the text: file, stdin or URL
constexpr std::size_t object_bytes = std::size_t{16} << 20;   ///< the BPF object, decompressed
constexpr std::size_t json_depth = 64;                        ///< nested arrays and objects
constexpr std::size_t values = 16384;                         ///< values in the whole package
constexpr std::size_t entries = 4096;                         ///< maps, programs, variables, fields
constexpr std::size_t name_bytes = 4096;                      ///< any name or help text
constexpr std::uint32_t event_bytes = 1U << 20;               ///< one event, one map value
constexpr std::uint32_t type_depth = 32;                      ///< nested types
constexpr std::uint64_t type_leaves = 1U << 16;               ///< scalars printed for one event

}  // namespace rqs::pkg::limits
