// SPDX-License-Identifier: BSD-2-Clause
// The kernel's types as a C header.
#pragma once

#include <string>

#include "util/error.h"

namespace rqs::ecc {

/// C declarations of all types in a BTF file: raw (like /sys/kernel/btf/vmlinux) or an ELF file
/// with a .BTF section. Structs are marked for relocation (CO-RE), so that a program compiled with
/// this header runs on other kernels.
Result<std::string> vmlinux_header(const std::string& btf_file);

}  // namespace rqs::ecc
