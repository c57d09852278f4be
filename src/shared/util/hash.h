// SPDX-License-Identifier: BSD-2-Clause
#pragma once

#include <cstddef>
#include <cstdint>

namespace rqs::util {

/// Spreads keys that differ in few bits over all bits, for tables whose size is a power of two.
constexpr std::size_t hash(std::uint64_t key) {
    const std::uint64_t mixed = key * 0x9e3779b97f4a7c15U;
    return static_cast<std::size_t>(mixed ^ (mixed >> 32));
}

}  // namespace rqs::util
