// SPDX-License-Identifier: BSD-2-Clause
// Who is woken by what this program prints: the program at the other end of its pipe, the terminal.
#pragma once

#include <cstdint>
#include <unordered_set>

#include "util/procfs.h"

namespace rqs {

/// Processes that read what is written to the descriptor `fd`: of a pipe those that have its other
/// end open, of a terminal those that hold a terminal's master. Looked for among the ancestors of
/// this process and in its process group, which is where a shell's pipeline, a terminal, sudo and
/// ssh are; never all processes, of which there may be thousands.
std::unordered_set<std::uint32_t> output_readers(int fd, const util::Procfs& procfs);

}  // namespace rqs
