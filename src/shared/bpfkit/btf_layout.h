// SPDX-License-Identifier: BSD-2-Clause
// How BTF lies in memory, for those who walk it themselves.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>

namespace rqs::bpfkit {

/// How many bytes follow the common part of a type (struct btf_type) of this kind with `vlen`
/// members, values or parameters; nothing for a kind that is not known.
std::optional<std::size_t> btf_tail_bytes(std::uint32_t kind, std::size_t vlen);

}  // namespace rqs::bpfkit
