// SPDX-License-Identifier: BSD-2-Clause
// What a package says about its object: eunomia-bpf's skeleton metadata, checked and typed.
//
// The current format is a JSON object
//     { "bpf_object": base64(zlib(ELF)), "bpf_object_size": bytes, "meta": { "bpf_skel": {
//       "data_sections": [...], "maps": [...], "progs": [...], "obj_name": "...", "doc": {...} },
//       "export_types": [...], "eunomia_version": "0.3.x", ... } }
// The older one (2022) has the ELF itself in base64 and everything else beside it:
//     { "name": "...", "data": base64(ELF), "data_sz": bytes, "maps": [...], "progs": [...] }
// with the event's fields under the map's "export_data_types". docs/PACKAGES.md has every field.
#pragma once

#include <cstdint>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <vector>

#include "util/error.h"

namespace rqs::pkg {

// Keys keep their order, so that what ecc writes reads well and is the same on every run.
using Json = nlohmann::ordered_json;

struct ExportMember {
    std::string name;
    std::string type;  ///< C spelling, e.g. "char[16]"
};

struct ExportType {
    std::string name;
    std::vector<ExportMember> members;
    std::uint32_t size = 0;     ///< bytes
    std::uint32_t type_id = 0;  ///< in the object's BTF; 0 is "look it up by its name"
};

enum class SampleKind { key_value, log2_histogram, linear_histogram };

struct SampleMeta {
    std::uint32_t interval_ms = 1000;
    SampleKind kind = SampleKind::key_value;
    std::string unit = "(unit)";
    bool clear = false;  ///< delete what was shown
};

struct CustomMember {
    std::string name;
    std::uint32_t offset = 0;  ///< bytes
    std::uint32_t type_id = 0;
};

enum class ExportKind { none, by_type_id, custom_members, by_default };

struct ExportConfig {
    ExportKind kind = ExportKind::none;
    std::uint32_t type_id = 0;
    std::vector<CustomMember> members;
};

/// How a stack trace's struct names its parts; each has a default.
struct StackTraceFields {
    std::string pid = "pid";
    std::string cpu_id = "cpu_id";
    std::string comm = "comm";
    std::string kstack_size = "kstack_sz";  ///< bytes
    std::string ustack_size = "ustack_sz";  ///< bytes
    std::string kstack = "kstack";
    std::string ustack = "ustack";
    bool symbols = true;
};

/// One field of the older format's "export_data_types".
struct LegacyField {
    std::string name;
    std::string type;
    std::uint32_t bit_offset = 0;
};

struct LegacyStruct {
    std::string name;
    std::uint32_t size = 0;  ///< bytes
    std::vector<LegacyField> fields;
};

struct MapMeta {
    std::string name;
    std::string ident;
    bool mmaped = false;
    std::optional<SampleMeta> sample;
    ExportConfig export_config;
    std::optional<StackTraceFields> stack_trace;
    std::optional<LegacyStruct> legacy;
};

struct ProgMeta {
    std::string name;
    std::string attach;  ///< section name; empty in the older format
    bool link = true;
    Json extra = Json::object();  ///< "tchook", "ifindex" and the like, as they stood
};

struct Argument {
    std::optional<Json> default_value;  ///< number, string or boolean
    std::string long_name;              ///< empty: the variable's own name
    std::string short_name;             ///< empty or one character
    std::string help;                   ///< empty: the variable's description
};

struct VariableMeta {
    std::string name;
    std::string type;
    std::optional<Json> value;
    std::string description;
    Argument argument;
};

struct SectionMeta {
    std::string name;
    std::vector<VariableMeta> variables;
};

struct Doc {
    std::string version;
    std::string brief;
    std::string details;
    std::string description;
};

enum class FormatVersion { current, older };

struct Meta {
    FormatVersion format = FormatVersion::current;
    std::string obj_name;
    std::string version;  ///< "eunomia_version"
    std::vector<SectionMeta> sections;
    std::vector<MapMeta> maps;
    std::vector<ProgMeta> progs;
    std::vector<ExportType> export_types;
    /// Drafts of the format carry the exported types' BTF beside the object: sound, or empty.
    std::string export_btf;
    Doc doc;
    std::uint32_t perf_buffer_pages = 64;
    std::uint32_t poll_timeout_ms = 100;
    bool verbose = false;
    bool multiple_export = false;

    [[nodiscard]] const MapMeta* find_map(const std::string& name) const;
    [[nodiscard]] const ProgMeta* find_prog(const std::string& name) const;
};

/// Checks and types the "meta" object of the current format. Errors name the field.
Result<Meta> meta_from_json(const Json& json);

/// The same for the older format, whose fields stand at the top, plain or prefixed with "ebpf_".
Result<Meta> older_meta_from_json(const Json& json);

}  // namespace rqs::pkg
