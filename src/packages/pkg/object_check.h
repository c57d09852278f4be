// SPDX-License-Identifier: BSD-2-Clause
// libbpf was written for objects that a compiler made. This looks at an object first, so that
// libbpf only meets files whose tables, names and types stay within themselves.
#pragma once

#include <cstdint>
#include <string_view>

#include "pkg/base64.h"

namespace rqs::pkg {

/// A sound ELF64 BPF object of this machine's byte order: every section within the file, every
/// name within its string table, every symbol and relocation within its section, sound BTF.
Status check_object(const Bytes& object);

/// Sound BTF: every type id, name and member within its table, no type that contains itself.
/// `raw` is the content of a .BTF section.
Status check_btf(std::string_view raw);

/// The content of the section called `name` of an object that check_object() accepted, or empty.
std::string_view section_content(const Bytes& object, std::string_view name);

}  // namespace rqs::pkg
