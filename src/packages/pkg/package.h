// SPDX-License-Identifier: BSD-2-Clause
// A package: one BPF object and what is known about it, as one JSON (or YAML) text.
#pragma once

#include <string>
#include <string_view>

#include "pkg/base64.h"
#include "pkg/meta.h"

namespace rqs::pkg {

/// The version of the format that write_package() states.
constexpr std::string_view written_version = "0.3.4";

struct Package {
    Bytes object;  ///< an ELF file that check_object() has accepted
    Meta meta;
};

/// Reads either format from JSON or YAML. Every bound of limits.h holds for the result, the object
/// is a sound ELF file with sound BTF, and the metadata is well typed. Whether the metadata's
/// types agree with the BTF is for the exporter, who uses them.
Result<Package> read_package(std::string_view text);

/// The JSON of the current format. `meta` is the "meta" object as it shall stand.
Result<Json> package_json(const Bytes& object, const Json& meta);

/// The same value as block-style YAML. All strings are quoted, so that none can change its type.
std::string to_yaml(const Json& json);

/// YAML text to JSON: plain scalars become numbers, booleans or null by the core schema. Anchors
/// and tags are refused.
Result<Json> yaml_to_json(const std::string& text);

}  // namespace rqs::pkg
