// SPDX-License-Identifier: BSD-2-Clause
// The part of the check that needs the package's object: what eunomia's runtime looks up in it.
#include <bpf/btf.h>

#include <algorithm>

#include "bpfkit/handles.h"
#include "format_check.h"
#include "pkg/base64.h"
#include "pkg/deflate.h"

namespace rqs::pkgtest {
namespace {

using nlohmann::json;

class ObjectCheck {
  public:
    explicit ObjectCheck(const json& package)
        : package_(package), meta_(package["meta"]), skeleton_(meta_["bpf_skel"]) {}

    std::vector<std::string> run() {
        if (open()) {
            check_maps();
            check_programs();
            check_sections();
            check_export_types();
            check_what_is_shown();
        }
        return std::move(found_);
    }

  private:
    void expect(bool fact, const std::string& otherwise) {
        if (!fact) {
            found_.push_back(otherwise);
        }
    }

    bool open() {
        const auto size = package_["bpf_object_size"].get<std::size_t>();
        const auto packed = pkg::base64_decode(package_["bpf_object"].get<std::string>());
        const auto object = packed ? pkg::inflate(*packed, size) : packed;
        expect(object && object->size() == size, "bpf_object is not zlib of bpf_object_size bytes");
        if (!found_.empty()) {
            return false;
        }
        const auto name = skeleton_["obj_name"].get<std::string>();
        DECLARE_LIBBPF_OPTS(bpf_object_open_opts, options, .object_name = name.c_str());
        object_.reset(bpf_object__open_mem(object->data(), object->size(), &options));
        expect(object_ != nullptr, "libbpf cannot open the object");
        types_ = object_ == nullptr ? nullptr : bpf_object__btf(object_.get());
        return object_ != nullptr;
    }

    void check_maps() {
        std::size_t count = 0;
        const bpf_map* map = nullptr;
        bpf_object__for_each_map(map, object_.get()) {
            ++count;
        }
        expect(skeleton_["maps"].size() == count, "maps: not those of the object");
        for (const auto& entry : skeleton_["maps"]) {
            const auto name = entry["name"].get<std::string>();
            const bpf_map* found = bpf_object__find_map_by_name(object_.get(), name.c_str());
            expect(found != nullptr, "map " + name + " is not in the object");
            const auto ident = entry["ident"].get<std::string>();
            expect(found == nullptr || bpf_map__is_internal(found) || ident == name,
                   "map " + name + " has another ident");
        }
    }

    void check_programs() {
        std::size_t count = 0;
        bpf_program* program = nullptr;
        bpf_object__for_each_program(program, object_.get()) {
            ++count;
        }
        expect(skeleton_["progs"].size() == count, "progs: not those of the object");
        for (const auto& entry : skeleton_["progs"]) {
            const auto name = entry["name"].get<std::string>();
            const bpf_program* found =
                bpf_object__find_program_by_name(object_.get(), name.c_str());
            expect(found != nullptr && entry["attach"] == bpf_program__section_name(found),
                   "program " + name + " is not in the object at that section");
        }
    }

    /// The runtime finds a section's map by the section's name without its dot.
    void check_sections() {
        for (const auto& section : skeleton_["data_sections"]) {
            const auto name = section["name"].get<std::string>();
            const auto& maps = skeleton_["maps"];
            expect(std::any_of(maps.begin(), maps.end(),
                               [&](const json& map) { return map["ident"] == name.substr(1); }),
                   "no map is that of section " + name);
            std::vector<std::string> listed;
            for (const auto& variable : section["variables"]) {
                listed.push_back(variable["name"]);
            }
            expect(listed == variables_of(name), name + ": not the variables of the object");
        }
    }

    [[nodiscard]] std::string name_at(std::uint32_t offset) const {
        return btf__name_by_offset(types_, offset);
    }

    [[nodiscard]] std::vector<std::string> variables_of(const std::string& section) const {
        std::vector<std::string> out;
        const std::int32_t id = btf__find_by_name_kind(types_, section.c_str(), BTF_KIND_DATASEC);
        const btf_type* type =
            id < 0 ? nullptr : btf__type_by_id(types_, static_cast<std::uint32_t>(id));
        for (std::uint16_t i = 0; type != nullptr && i < btf_vlen(type); ++i) {
            const btf_type* variable = btf__type_by_id(types_, btf_var_secinfos(type)[i].type);
            if (btf_var(variable)->linkage != BTF_VAR_STATIC) {
                out.push_back(name_at(variable->name_off));
            }
        }
        return out;
    }

    void check_export_types() {
        for (const auto& entry : meta_.value("export_types", json::array())) {
            const btf_type* type = btf__type_by_id(types_, entry["type_id"].get<std::uint32_t>());
            const auto name = entry["name"].get<std::string>();
            if (type == nullptr || !btf_is_struct(type) || name_at(type->name_off) != name ||
                type->size != entry["size"]) {
                found_.push_back("export type " + name +
                                 " is not the object's type of that number");
            } else {
                check_members(*type, name, entry["members"]);
            }
        }
    }

    void check_members(const btf_type& type, const std::string& name, const json& members) {
        std::vector<std::string> listed;
        std::vector<std::string> own;
        for (const auto& member : members) {
            listed.push_back(member["name"]);
        }
        for (std::uint16_t i = 0; i < btf_vlen(&type); ++i) {
            own.push_back(name_at(btf_members(&type)[i].name_off));
            expect(btf_member_bit_offset(&type, i) % 8 == 0 &&
                       btf_member_bitfield_size(&type, i) % 8 == 0,
                   "export type " + name + " has a bit field: " + own.back());
        }
        expect(listed == own, "export type " + name + " has other members");
    }

    [[nodiscard]] bool is_buffer(const json& map) const {
        const auto name = map["name"].get<std::string>();
        const bpf_map* found = bpf_object__find_map_by_name(object_.get(), name.c_str());
        const bpf_map_type type = found == nullptr ? BPF_MAP_TYPE_UNSPEC : bpf_map__type(found);
        return type == BPF_MAP_TYPE_RINGBUF || type == BPF_MAP_TYPE_PERF_EVENT_ARRAY;
    }

    /// Without a type for what a map carries, the runtime ends with an error.
    void check_what_is_shown() {
        const bool several = meta_.value("enable_multiple_export_types", false);
        const bool typed = !meta_.value("export_types", json::array()).empty();
        for (const auto& map : skeleton_["maps"]) {
            const auto name = map["name"].get<std::string>();
            const bool sampled = map.contains("sample");
            if (!several) {
                expect(typed || !(sampled || is_buffer(map)),
                       "map " + name + " has no export type");
            } else if (map.value("export_config", json()) == "default") {
                expect(sampled, "map " + name + " is exported by default, but not sampled");
            } else if (map.value("export_config", json()).contains("btf_type_id")) {
                const auto id = map["export_config"]["btf_type_id"].get<std::uint32_t>();
                expect(btf__type_by_id(types_, id) != nullptr, "map " + name + " has no such type");
            }
        }
    }

    const json& package_;
    const json& meta_;
    const json& skeleton_;
    bpfkit::ObjectPtr object_;
    const btf* types_ = nullptr;
    std::vector<std::string> found_;
};

}  // namespace

std::vector<std::string> object_complaints(const json& package) {
    return ObjectCheck(package).run();
}

}  // namespace rqs::pkgtest
