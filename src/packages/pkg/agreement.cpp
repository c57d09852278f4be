// SPDX-License-Identifier: BSD-2-Clause
#include "pkg/agreement.h"

#include <fmt/format.h>

#include <set>
#include <string>
#include <string_view>

#include "util/safe_text.h"

namespace rqs::pkg {
namespace {

/// The older format has no sections in its metadata.
Status check_program(const ProgMeta& meta, const bpf_object* object) {
    const bpf_program* program = bpf_object__find_program_by_name(object, meta.name.c_str());
    if (program == nullptr) {
        return fail(
            fmt::format("bad package: its object has no program {}", util::printable(meta.name)));
    }
    const std::string_view section = bpf_program__section_name(program);
    if (!meta.attach.empty() && meta.attach != section) {
        return fail(fmt::format("bad package: program {} is in section {} of its object, not {}",
                                util::printable(meta.name), util::printable(section),
                                util::printable(meta.attach)));
    }
    return {};
}

}  // namespace

std::vector<MapShape> map_shapes(const bpf_object* object) {
    std::vector<MapShape> out;
    bpf_map* map = nullptr;
    bpf_object__for_each_map(map, object) {
        MapShape shape;
        shape.name = bpf_map__name(map);
        shape.type = static_cast<std::uint32_t>(bpf_map__type(map));
        shape.key_size = bpf_map__key_size(map);
        shape.value_size = bpf_map__value_size(map);
        shape.key_type_id = bpf_map__btf_key_type_id(map);
        shape.value_type_id = bpf_map__btf_value_type_id(map);
        out.push_back(std::move(shape));
    }
    return out;
}

// What the metadata says decides what is attached and printed: it must be about this object.
Status check_metadata(const Package& package, const bpf_object* object) {
    std::set<std::string> names;
    for (const auto& prog : package.meta.progs) {
        if (auto status = check_program(prog, object); !status) {
            return status;
        }
        if (!names.insert(prog.name).second) {
            return fail(
                fmt::format("bad package: it lists program {} twice", util::printable(prog.name)));
        }
    }
    names.clear();
    for (const auto& map : package.meta.maps) {
        if (!names.insert(map.name).second) {
            return fail(
                fmt::format("bad package: it lists map {} twice", util::printable(map.name)));
        }
    }
    const auto exports = find_exports(package.meta, bpf_object__btf(object), map_shapes(object));
    return exports ? Status{} : tl::unexpected(exports.error());
}

}  // namespace rqs::pkg
