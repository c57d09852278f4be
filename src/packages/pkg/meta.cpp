// SPDX-License-Identifier: BSD-2-Clause
#include "pkg/meta.h"

#include <algorithm>
#include <array>

#include "pkg/base64.h"
#include "pkg/json_field.h"
#include "pkg/object_check.h"

namespace rqs::pkg {
namespace {

ExportType read_export_type(FieldReader& reader, const Json& json) {
    const std::string place = "export type";
    ExportType type;
    type.name = reader.text(json, "name", place, true);
    type.size = reader.number(json, "size", place, 0, limits::event_bytes, std::nullopt);
    type.type_id = reader.number(json, "type_id", place, 1, UINT32_MAX, std::nullopt);
    for (const auto& entry : reader.array(json, "members", place)) {
        type.members.push_back({reader.text(entry, "name", "export member", true),
                                reader.text(entry, "type", "export member", true)});
    }
    return type;
}

void read_export_btf(FieldReader& reader, const Json& types, Meta& meta) {
    const Json* text = FieldReader::find(types, "export_btf");
    if (text == nullptr || !text->is_string()) {
        return;
    }
    const auto raw = base64_decode(text->get_ref<const std::string&>());
    if (raw) {
        meta.export_btf.assign(raw->begin(), raw->end());
    }
    if (!raw || !check_btf(meta.export_btf)) {
        reader.complain("export_types", "\"export_btf\" is damaged");
    }
}

/// Between the older and the current format stood a draft, {"export_btf": "...", "structs": [{id,
/// name}]}: a BTF of its own. The ids belong to that, so that the name alone is taken.
std::vector<ExportType> read_export_types(FieldReader& reader, const Json& meta) {
    std::vector<ExportType> out;
    const Json* types = FieldReader::find(meta, "export_types");
    if (types != nullptr && types->is_object()) {
        for (const auto& entry : reader.array(*types, "structs", "export_types")) {
            ExportType type;
            type.name = reader.text(entry, "name", "export type", true);
            out.push_back(std::move(type));
        }
        return out;
    }
    for (const auto& entry : reader.array(meta, "export_types", "meta")) {
        out.push_back(read_export_type(reader, entry));
    }
    return out;
}

SampleMeta read_sample(FieldReader& reader, const Json& json, const std::string& place) {
    SampleMeta sample;
    if (!json.is_object()) {
        reader.complain(place, "\"sample\" is not an object");
        return sample;
    }
    sample.interval_ms = reader.number(json, "interval", place, 1, 86'400'000, std::nullopt);
    const std::string kind = reader.text(json, "type", place, false);
    if (kind == "log2_hist") {
        sample.kind = SampleKind::log2_histogram;
    } else if (kind == "linear_hist") {
        sample.kind = SampleKind::linear_histogram;
    } else if (!kind.empty() && kind != "default_kv") {
        reader.complain(place,
                        "has a \"sample\" type other than log2_hist, linear_hist, default_kv");
    }
    const std::string unit = reader.text(json, "unit", place, false);
    sample.unit = unit.empty() ? sample.unit : unit;
    sample.clear = reader.boolean(json, "clear_map", place, false);
    return sample;
}

ExportConfig read_export_config(FieldReader& reader, const Json& json, const std::string& place) {
    ExportConfig config;
    if (json.is_string()) {
        const auto& word = json.get_ref<const std::string&>();
        if (word == "default") {
            config.kind = ExportKind::by_default;
        } else if (word != "no_export") {
            reader.complain(place, "has an unknown \"export_config\"");
        }
        return config;
    }
    if (FieldReader::find(json, "btf_type_id") != nullptr) {
        config.kind = ExportKind::by_type_id;
        config.type_id = reader.number(json, "btf_type_id", place, 1, UINT32_MAX, std::nullopt);
        return config;
    }
    if (FieldReader::find(json, "custom_members") == nullptr) {
        reader.complain(place, "has an unknown \"export_config\"");
        return config;
    }
    config.kind = ExportKind::custom_members;
    for (const auto& entry : reader.array(json, "custom_members", place)) {
        CustomMember member;
        member.name = reader.text(entry, "name", place, true);
        member.offset = reader.number(entry, "offset", place, 0, limits::event_bytes, std::nullopt);
        member.type_id = reader.number(entry, "btf_type_id", place, 1, UINT32_MAX, std::nullopt);
        config.members.push_back(std::move(member));
    }
    return config;
}

std::optional<StackTraceFields> read_interpreter(FieldReader& reader, const Json& json,
                                                 const std::string& place) {
    if (json.is_string() && json.get_ref<const std::string&>() == "default_struct") {
        return std::nullopt;
    }
    const Json* trace = FieldReader::find(json, "stack_trace");
    if (trace == nullptr) {
        reader.complain(place, "has an unknown \"intepreter\"");
        return std::nullopt;
    }
    StackTraceFields fields;
    fields.symbols = reader.boolean(*trace, "with_symbols", place, true);
    const Json* names = FieldReader::find(*trace, "field_map");
    if (names == nullptr) {
        return fields;
    }
    const std::array<std::pair<const char*, std::string*>, 7> places{
        {{"pid", &fields.pid},
         {"cpu_id", &fields.cpu_id},
         {"comm", &fields.comm},
         {"kstack_sz", &fields.kstack_size},
         {"ustack_sz", &fields.ustack_size},
         {"kstack", &fields.kstack},
         {"ustack", &fields.ustack}}};
    for (const auto& [key, target] : places) {
        const std::string name = reader.text(*names, key, place, false);
        *target = name.empty() ? *target : name;
    }
    return fields;
}

MapMeta read_map(FieldReader& reader, const Json& json) {
    MapMeta map;
    map.name = reader.text(json, "name", "map", true);
    const std::string place = "map " + map.name;
    map.ident = reader.text(json, "ident", place, true);
    map.mmaped = reader.boolean(json, "mmaped", place, false);
    if (const Json* sample = FieldReader::find(json, "sample")) {
        map.sample = read_sample(reader, *sample, place);
    }
    if (const Json* config = FieldReader::find(json, "export_config")) {
        map.export_config = read_export_config(reader, *config, place);
    }
    if (const Json* interpreter = FieldReader::find(json, "intepreter")) {  // spelt so
        map.stack_trace = read_interpreter(reader, *interpreter, place);
    }
    return map;
}

ProgMeta read_prog(FieldReader& reader, const Json& json) {
    ProgMeta prog;
    prog.name = reader.text(json, "name", "program", true);
    prog.attach = reader.text(json, "attach", "program " + prog.name, false);
    prog.link = reader.boolean(json, "link", "program " + prog.name, true);
    if (json.is_object()) {
        for (const auto& [key, value] : json.items()) {
            if (key != "name" && key != "attach" && key != "link") {
                prog.extra[key] = value;
            }
        }
    }
    return prog;
}

bool scalar(const Json& json) {
    return json.is_number() || json.is_string() || json.is_boolean();
}

Argument read_argument(FieldReader& reader, const Json& json, const std::string& place) {
    Argument argument;
    if (!json.is_object()) {
        reader.complain(place, "\"cmdarg\" is not an object");
        return argument;
    }
    if (const Json* value = FieldReader::find(json, "default")) {
        if (!scalar(*value)) {
            reader.complain(place, "\"default\" is not a number, string or boolean");
        }
        argument.default_value = *value;
    }
    argument.long_name = reader.text(json, "long", place, false);
    argument.short_name = reader.text(json, "short", place, false);
    argument.help = reader.text(json, "help", place, false);
    if (argument.short_name.size() > 1) {
        reader.complain(place, "\"short\" is more than one character");
    }
    return argument;
}

VariableMeta read_variable(FieldReader& reader, const Json& json) {
    VariableMeta variable;
    variable.name = reader.text(json, "name", "variable", true);
    const std::string place = "variable " + variable.name;
    variable.type = reader.text(json, "type", place, false);
    if (const Json* value = FieldReader::find(json, "value")) {
        if (!scalar(*value)) {
            reader.complain(place, "\"value\" is not a number, string or boolean");
        }
        variable.value = *value;
    }
    variable.description = reader.text(json, "description", place, false);
    if (const Json* argument = FieldReader::find(json, "cmdarg")) {
        variable.argument = read_argument(reader, *argument, place);
    }
    return variable;
}

SectionMeta read_section(FieldReader& reader, const Json& json) {
    SectionMeta section;
    section.name = reader.text(json, "name", "data section", true);
    for (const auto& entry : reader.array(json, "variables", "section " + section.name)) {
        section.variables.push_back(read_variable(reader, entry));
    }
    return section;
}

Doc read_doc(FieldReader& reader, const Json& json) {
    Doc doc;
    doc.version = reader.text(json, "version", "doc", false);
    doc.brief = reader.text(json, "brief", "doc", false);
    doc.details = reader.text(json, "details", "doc", false);
    doc.description = reader.text(json, "description", "doc", false);
    return doc;
}

/// All published versions are 0.x; a 1.0 would be free to mean something else.
void check_version(FieldReader& reader, const std::string& version) {
    if (!version.empty() && version.rfind("0.", 0) != 0) {
        reader.complain("format version " + version,
                        "is unknown (this program reads 0.x and the older format without one)");
    }
}

std::uint32_t power_of_two(std::uint32_t pages) {
    std::uint32_t out = 1;
    while (out < pages) {
        out *= 2;
    }
    return out;
}

void read_skeleton(FieldReader& reader, const Json& skeleton, Meta& meta) {
    meta.obj_name = reader.text(skeleton, "obj_name", "bpf_skel", true);
    for (const auto& entry : reader.array(skeleton, "data_sections", "bpf_skel")) {
        meta.sections.push_back(read_section(reader, entry));
    }
    for (const auto& entry : reader.array(skeleton, "maps", "bpf_skel")) {
        meta.maps.push_back(read_map(reader, entry));
    }
    for (const auto& entry : reader.array(skeleton, "progs", "bpf_skel")) {
        meta.progs.push_back(read_prog(reader, entry));
    }
    if (const Json* doc = FieldReader::find(skeleton, "doc")) {
        meta.doc = read_doc(reader, *doc);
    }
}

std::uint32_t bytes_of_bits(FieldReader& reader, std::uint32_t bits, const std::string& place) {
    if (bits % 8 != 0) {
        reader.complain(place, "has a size that is not a multiple of 8 bits");
    }
    return bits / 8;
}

/// Sizes and offsets of the older format are in bits.
LegacyStruct read_legacy_struct(FieldReader& reader, const Json& json, const std::string& place) {
    LegacyStruct out;
    out.name = reader.text(json, "Struct Name", place, false);
    out.size = bytes_of_bits(
        reader, reader.number(json, "Size", place, 8, limits::event_bytes * 8, std::nullopt),
        place);
    for (const auto& entry : reader.array(json, "Fields", place)) {
        out.fields.push_back(
            {reader.text(entry, "Name", place, true), reader.text(entry, "Type", place, true),
             reader.number(entry, "FieldOffset", place, 0, limits::event_bytes * 8, std::nullopt)});
    }
    return out;
}

const Json* older_field(const Json& json, const char* plain, const char* prefixed) {
    const Json* value = FieldReader::find(json, plain);
    return value != nullptr ? value : FieldReader::find(json, prefixed);
}

/// A map or program of the older format: an object, or (the very first) only its name.
std::string older_name(FieldReader& reader, const Json& entry, const char* what) {
    if (entry.is_string() && entry.get_ref<const std::string&>().size() <= limits::name_bytes) {
        return entry.get<std::string>();
    }
    return reader.text(entry, "name", what, true);
}

void read_older_maps(FieldReader& reader, const Json& maps, Meta& meta) {
    for (const auto& entry : maps) {
        MapMeta map;
        map.name = older_name(reader, entry, "map");
        map.ident = map.name;
        if (const Json* types = FieldReader::find(entry, "export_data_types")) {
            map.legacy = read_legacy_struct(reader, *types, "map " + map.name);
        }
        meta.maps.push_back(std::move(map));
    }
}

const Json& older_list(FieldReader& reader, const Json& json, const char* plain,
                       const char* prefixed) {
    const bool is_plain = FieldReader::find(json, plain) != nullptr;
    return reader.array(json, is_plain ? plain : prefixed, "package");
}

Result<Meta> finish(const FieldReader& reader, Meta meta) {
    if (!reader.ok()) {
        return fail("bad package: " + reader.error());
    }
    return meta;
}

}  // namespace

const MapMeta* Meta::find_map(const std::string& name) const {
    const auto found = std::find_if(maps.begin(), maps.end(),
                                    [&](const MapMeta& map) { return map.name == name; });
    return found == maps.end() ? nullptr : &*found;
}

const ProgMeta* Meta::find_prog(const std::string& name) const {
    const auto found = std::find_if(progs.begin(), progs.end(),
                                    [&](const ProgMeta& prog) { return prog.name == name; });
    return found == progs.end() ? nullptr : &*found;
}

Result<Meta> meta_from_json(const Json& json) {
    FieldReader reader;
    Meta meta;
    const Json* skeleton = FieldReader::find(json, "bpf_skel");
    if (skeleton == nullptr || !skeleton->is_object()) {
        return fail("bad package: meta has no \"bpf_skel\" object");
    }
    meta.version = reader.text(json, "eunomia_version", "meta", false);
    check_version(reader, meta.version);
    read_skeleton(reader, *skeleton, meta);
    meta.export_types = read_export_types(reader, json);
    if (const Json* types = FieldReader::find(json, "export_types")) {
        read_export_btf(reader, *types, meta);
    }
    meta.perf_buffer_pages =
        power_of_two(reader.number(json, "perf_buffer_pages", "meta", 1, 16384, 64));
    meta.poll_timeout_ms = reader.number(json, "poll_timeout_ms", "meta", 1, 60'000, 100);
    meta.verbose = reader.boolean(json, "debug_verbose", "meta", false);
    meta.multiple_export = reader.boolean(json, "enable_multiple_export_types", "meta", false);
    return finish(reader, std::move(meta));
}

Result<Meta> older_meta_from_json(const Json& json) {
    FieldReader reader;
    Meta meta;
    meta.format = FormatVersion::older;
    const bool plain_name = FieldReader::find(json, "name") != nullptr;
    meta.obj_name = reader.text(json, plain_name ? "name" : "ebpf_name", "package", false);
    if (meta.obj_name.empty()) {
        meta.obj_name = "package";
    }
    if (const Json* description = older_field(json, "description", "ebpf_description")) {
        meta.doc.description = description->is_string() ? description->get<std::string>() : "";
    }
    read_older_maps(reader, older_list(reader, json, "maps", "ebpf_maps"), meta);
    for (const auto& entry : older_list(reader, json, "progs", "ebpf_progs")) {
        ProgMeta prog;
        prog.name = older_name(reader, entry, "program");
        meta.progs.push_back(std::move(prog));
    }
    return finish(reader, std::move(meta));
}

}  // namespace rqs::pkg
