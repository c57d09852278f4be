// SPDX-License-Identifier: BSD-2-Clause
#include "ecc/skeleton.h"

#include <fmt/format.h>

#include <algorithm>
#include <cctype>
#include <cerrno>
#include <cstring>
#include <iterator>

#include "bpfkit/handles.h"
#include "ecc/dump_sink.h"
#include "ecc/events.h"
#include "pkg/package.h"
#include "pkg/value_type.h"
#include "util/safe_text.h"
#include "util/say.h"

namespace rqs::ecc {
namespace {

using pkg::Json;
using DumpPtr = std::unique_ptr<btf_dump, bpfkit::Deleter<btf_dump__free>>;

/// Spells types of one object as C does.
class Speller {
  public:
    explicit Speller(const btf* types)
        : dump_(btf_dump__new(types, append_formatted, &text_, nullptr)) {}

    /// "char[16]", "struct event *"; `plain` without const and volatile.
    std::string spell(std::uint32_t type_id, bool plain) {
        text_.clear();
        DECLARE_LIBBPF_OPTS(btf_dump_emit_type_decl_opts, options, .field_name = "",
                            .strip_mods = plain);
        if (dump_ == nullptr || btf_dump__emit_type_decl(dump_.get(), type_id, &options) != 0) {
            return "void";
        }
        return with_bool(text_);
    }

  private:
    /// BTF has C's own word; all others write what <stdbool.h> makes of it.
    static std::string with_bool(std::string text) {
        constexpr std::string_view word = "_Bool";
        const auto part_of_name = [](char c) {
            return std::isalnum(static_cast<unsigned char>(c)) != 0 || c == '_';
        };
        for (auto at = text.find(word); at != std::string::npos; at = text.find(word, at)) {
            const std::size_t end = at + word.size();
            if ((at > 0 && part_of_name(text[at - 1])) ||
                (end < text.size() && part_of_name(text[end]))) {
                at = end;
            } else {
                text.replace(at, word.size(), "bool");
            }
        }
        return text;
    }

    std::string text_;
    DumpPtr dump_;
};

/// Fields that a comment adds must not replace what the compiler found.
Status add_fields(Json& entry, const Json& fields, const std::string& what) {
    for (const auto& [key, value] : fields.items()) {
        if (entry.contains(key)) {
            return fail(fmt::format("the comment of {} sets \"{}\", which the package has already",
                                    util::printable(what), util::printable(key)));
        }
        entry[key] = value;
    }
    return {};
}

std::string identifier(std::string name) {
    std::replace_if(
        name.begin(), name.end(), [](unsigned char c) { return std::isalnum(c) == 0 && c != '_'; },
        '_');
    return name;
}

/// What a map is called in C: its own name, or that of the section behind an internal map.
std::string map_identifier(const bpf_map* map) {
    std::string name = bpf_map__name(map);
    if (!bpf_map__is_internal(map)) {
        return name;
    }
    for (const char* section : {".data", ".rodata", ".bss", ".kconfig"}) {
        const auto at = name.find(section);
        if (at != std::string::npos) {
            return identifier(name.substr(at + 1));
        }
    }
    return identifier(name);
}

bool is_mapped(const bpf_map* map) {
    return bpf_map__is_internal(map) && (bpf_map__map_flags(map) & BPF_F_MMAPABLE) != 0;
}

class MetaMaker {
  public:
    MetaMaker(const bpf_object* object, const SkeletonInput& input)
        : object_(object), input_(input), types_(bpf_object__btf(object)), speller_(types_) {}

    Result<Json> run() {
        auto events = find_events(object_, input_.comments, input_.structs);
        if (!events) {
            return tl::unexpected(events.error());
        }
        events_ = std::move(*events);
        Json skeleton = Json::object();
        skeleton["data_sections"] = sections();
        skeleton["maps"] = maps();
        skeleton["obj_name"] = input_.object_name;
        skeleton["progs"] = programs();
        if (const Json doc = documentation(); !doc.empty()) {
            skeleton["doc"] = doc;
        }
        Json meta = Json::object();
        meta["bpf_skel"] = std::move(skeleton);
        meta["eunomia_version"] = pkg::written_version;
        if (events_.several) {
            meta["enable_multiple_export_types"] = true;
        }
        if (input_.has_header || !events_.types.empty()) {
            meta["export_types"] = export_types();
        }
        if (!input_.structs.empty() && !knows_header()) {
            note(fail("the header defines no struct that the source knows: include it there"));
        }
        if (!status_) {
            return tl::unexpected(status_.error());
        }
        // What is written must be readable: a wrong @sample or @cmdarg shows here.
        if (const auto checked = pkg::meta_from_json(meta); !checked) {
            return fail("the comments make no valid metadata: " + checked.error().message);
        }
        return meta;
    }

  private:
    [[nodiscard]] bool knows_header() const {
        return std::any_of(input_.structs.begin(), input_.structs.end(), [this](const auto& name) {
            return pkg::find_struct(types_, name) != 0;
        });
    }

    void note(Status status) {
        if (status_ && !status) {
            status_ = std::move(status);
        }
    }

    void add_comment(Json& entry, const std::string& name) {
        note(add_fields(entry, fields_of(input_.comments, name), name));
    }

    [[nodiscard]] const btf_type* section_type(const char* name) const {
        const std::int32_t id = btf__find_by_name_kind(types_, name, BTF_KIND_DATASEC);
        return id < 0 ? nullptr : btf__type_by_id(types_, static_cast<std::uint32_t>(id));
    }

    /// Only .rodata and .bss: eunomia's runtime refuses a package that lists any other. The rest
    /// keeps the values that it has in the object.
    Json sections() {
        Json out = Json::array();
        bpf_map* map = nullptr;
        bpf_object__for_each_map(map, object_) {
            const std::string name = "." + map_identifier(map);
            const btf_type* type = section_type(name.c_str());
            if (!is_mapped(map) || type == nullptr || (name != ".rodata" && name != ".bss")) {
                continue;
            }
            Json section = Json::object();
            section["name"] = name;
            section["variables"] = variables(*type);
            out.push_back(std::move(section));
        }
        return out;
    }

    Json variables(const btf_type& section) {
        Json out = Json::array();
        const btf_var_secinfo* entries = btf_var_secinfos(&section);
        for (std::uint16_t i = 0; i < btf_vlen(&section); ++i) {
            const btf_type* type = btf__type_by_id(types_, entries[i].type);
            // Two static variables of one name may be in an object: no option could tell them
            // apart.
            if (btf_var(type)->linkage == BTF_VAR_STATIC) {
                continue;
            }
            const std::string name = btf__name_by_offset(types_, type->name_off);
            Json variable = Json::object();
            variable["name"] = name;
            variable["type"] = speller_.spell(type->type, true);
            add_comment(variable, name);
            out.push_back(std::move(variable));
        }
        return out;
    }

    Json maps() {
        Json out = Json::array();
        bpf_map* map = nullptr;
        bpf_object__for_each_map(map, object_) {
            Json entry = Json::object();
            entry["ident"] = map_identifier(map);
            if (is_mapped(map)) {
                entry["mmaped"] = true;
            }
            entry["name"] = bpf_map__name(map);
            if (!bpf_map__is_internal(map)) {
                add_map_comment(entry, *map);
            }
            out.push_back(std::move(entry));
        }
        return out;
    }

    /// With what it carries, where the package shows several maps.
    void add_map_comment(Json& entry, const bpf_map& map) {
        const std::string name = bpf_map__name(&map);
        Json fields = fields_of(input_.comments, name);
        fields.erase(event_field);
        note(add_fields(entry, fields, name));
        if (!events_.several || entry.contains("export_config")) {
            return;
        }
        if (const auto event = events_.of_maps.find(name); event != events_.of_maps.end()) {
            entry["export_config"] = {{"btf_type_id", event->second}};
        } else if (entry.contains("sample")) {
            entry["export_config"] = "default";
        } else if (carries_events(map)) {
            warn(fmt::format(
                "events of map {0} will not be shown: write \"@event STRUCT\" in its comment",
                util::printable(name)));
        }
    }

    static void warn(const std::string& message) { util::say("ecc: warning: " + message); }

    Json programs() {
        Json out = Json::array();
        bpf_program* program = nullptr;
        bpf_object__for_each_program(program, object_) {
            Json entry = Json::object();
            entry["attach"] = bpf_program__section_name(program);
            entry["link"] = true;
            entry["name"] = bpf_program__name(program);
            add_comment(entry, bpf_program__name(program));
            out.push_back(std::move(entry));
        }
        return out;
    }

    /// The package's own documentation stands at its license.
    [[nodiscard]] Json documentation() const {
        for (const char* name : {"LICENSE", "_license", "__license", "license"}) {
            if (Json fields = fields_of(input_.comments, name); !fields.empty()) {
                return fields;
            }
        }
        return Json::object();
    }

    /// Readers take the first of these for the type of the events.
    Json export_types() {
        Json out = Json::array();
        for (const std::uint32_t id : events_.types) {
            const btf_type* type = btf__type_by_id(types_, id);
            out.push_back(export_type(*type, id, btf__name_by_offset(types_, type->name_off)));
        }
        if (events_.ambiguous) {
            warn(
                fmt::format("{} structs of the header may be the event; struct {} is taken "
                            "(\"/// @event STRUCT\" before the map names another)",
                            out.size(), util::printable(out.front()["name"].get<std::string>())));
        }
        return out;
    }

    Json export_type(const btf_type& type, std::uint32_t id, const std::string& name) {
        Json members = Json::array();
        for (std::uint16_t i = 0; i < btf_vlen(&type); ++i) {
            const btf_member& member = btf_members(&type)[i];
            Json entry = Json::object();
            entry["name"] = btf__name_by_offset(types_, member.name_off);
            entry["type"] = speller_.spell(member.type, false);
            members.push_back(std::move(entry));
        }
        Json out = Json::object();
        out["members"] = std::move(members);
        out["name"] = name;
        out["size"] = type.size;
        out["type_id"] = id;
        return out;
    }

    const bpf_object* object_;
    const SkeletonInput& input_;
    const btf* types_;
    Speller speller_;
    Events events_;
    Status status_;
};

}  // namespace

Result<pkg::Json> make_meta(const pkg::Bytes& object, const SkeletonInput& input) {
    (void)bpfkit::take_log();
    DECLARE_LIBBPF_OPTS(bpf_object_open_opts, options, .object_name = input.object_name.c_str());
    const bpfkit::ObjectPtr opened(bpf_object__open_mem(object.data(), object.size(), &options));
    if (opened == nullptr) {
        return fail(
            fmt::format("libbpf cannot open the compiled object: {}", bpfkit::describe(errno)));
    }
    if (bpf_object__btf(opened.get()) == nullptr) {
        return fail(
            "the compiled object has no BTF: a package needs at least one map, global "
            "variable or program");
    }
    return MetaMaker(opened.get(), input).run();
}

}  // namespace rqs::ecc
