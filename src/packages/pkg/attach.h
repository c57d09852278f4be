// SPDX-License-Identifier: BSD-2-Clause
// Attaching one program: by its section name where libbpf can, by the metadata where it cannot.
#pragma once

#include <optional>
#include <string>

#include "pkg/loader.h"

namespace rqs::pkg {

/// Attaches a loaded program and adds what holds it to `loaded`. `extra` has "ifindex", "flags",
/// "tchook" and "tcopts" for XDP and tc programs. Returns why it could not, if it could not.
std::optional<std::string> attach_program(bpf_program* program, const Json& extra, Loaded& loaded);

}  // namespace rqs::pkg
