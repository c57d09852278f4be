// SPDX-License-Identifier: BSD-2-Clause
// The metadata of a compiled object.
#pragma once

#include <string>
#include <vector>

#include "ecc/docs.h"
#include "pkg/base64.h"
#include "pkg/meta.h"

namespace rqs::ecc {

struct SkeletonInput {
    std::string object_name;  ///< "client_bpf" for client.bpf.c
    std::vector<Declaration> comments;
    bool has_header = false;
    std::vector<std::string> structs;  ///< defined in the header
};

/// The "meta" object of a package of `object`, with everything that the comments add.
Result<pkg::Json> make_meta(const pkg::Bytes& object, const SkeletonInput& input);

}  // namespace rqs::ecc
