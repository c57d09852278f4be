// SPDX-License-Identifier: BSD-2-Clause
#include "pkg/parameters.h"

#include <fmt/format.h>

#include <algorithm>
#include <set>

#include "util/safe_text.h"

namespace rqs::pkg {
namespace {

/// Variables that ecc adds only to keep a type in the BTF.
constexpr std::string_view dummy_prefix = "__eunomia_dummy";

const btf_type* find_section(const btf* types, const std::string& name) {
    const std::int32_t id = btf__find_by_name_kind(types, name.c_str(), BTF_KIND_DATASEC);
    return id > 0 ? btf__type_by_id(types, static_cast<std::uint32_t>(id)) : nullptr;
}

struct Variable {
    std::string name;
    std::uint32_t type_id = 0;
    std::uint32_t offset = 0;
    std::uint32_t size = 0;
};

/// The global variables of a section; static ones cannot be told apart by name and are left out.
std::vector<Variable> variables_of(const btf* types, const btf_type& section) {
    std::vector<Variable> out;
    const btf_var_secinfo* entries = btf_var_secinfos(&section);
    for (std::uint16_t i = 0; i < btf_vlen(&section); ++i) {
        const btf_type* type = btf__type_by_id(types, entries[i].type);
        const char* name = type != nullptr ? btf__name_by_offset(types, type->name_off) : nullptr;
        if (name == nullptr || !btf_is_var(type) || btf_var(type)->linkage == BTF_VAR_STATIC) {
            continue;
        }
        out.push_back({name, type->type, entries[i].offset, entries[i].size});
    }
    return out;
}

std::string default_text_of(const Json& json) {
    return json.is_string() ? json.get<std::string>() : json.dump();
}

std::string help_of(const VariableMeta& meta) {
    if (!meta.argument.help.empty()) {
        return meta.argument.help;
    }
    if (!meta.description.empty()) {
        return meta.description;
    }
    return fmt::format("set the {} variable {}", meta.type, meta.name);
}

bool usable_name(const std::string& name) {
    return !name.empty() && name.front() != '-' && name.find('=') == std::string::npos;
}

Result<Parameter> make_parameter(const std::string& section, const VariableMeta& meta,
                                 const Variable& variable, const btf* types,
                                 const std::string& content) {
    auto type = value_type_from_btf(types, variable.type_id);
    if (!type) {
        return tl::unexpected(type.error());
    }
    if ((*type)->size != variable.size || variable.offset > content.size() ||
        variable.size > content.size() - variable.offset) {
        return fail(fmt::format("bad package: variable {} lies outside section {}",
                                util::printable(meta.name), util::printable(section)));
    }
    if (!may_be_spelled(**type, meta.type)) {
        return fail(fmt::format("bad package: variable {} is no {} in its object",
                                util::printable(meta.name), util::printable(meta.type)));
    }
    Parameter parameter;
    parameter.section = section;
    parameter.name = meta.name;
    parameter.type = meta.type;
    parameter.long_name = meta.argument.long_name.empty() ? meta.name : meta.argument.long_name;
    parameter.short_name = meta.argument.short_name.empty() ? '\0' : meta.argument.short_name[0];
    parameter.help = help_of(meta);
    parameter.value_type = *type;
    parameter.offset = variable.offset;
    parameter.initial = content.substr(variable.offset, variable.size);
    if (const auto& json = meta.argument.default_value ? meta.argument.default_value : meta.value) {
        parameter.default_text = default_text_of(*json);
    }
    if (!usable_name(parameter.long_name)) {
        return fail(fmt::format("bad package: variable {} has an impossible option name",
                                util::printable(meta.name)));
    }
    return parameter;
}

/// The older format has no variables in its metadata.
std::vector<SectionMeta> sections_of(const Meta& meta, const btf* types) {
    if (meta.format == FormatVersion::current) {
        return meta.sections;
    }
    SectionMeta section;
    section.name = ".rodata";
    if (const btf_type* type = find_section(types, section.name)) {
        for (const auto& variable : variables_of(types, *type)) {
            VariableMeta entry;
            entry.name = variable.name;
            section.variables.push_back(std::move(entry));
        }
    }
    return {section};
}

bool settable(const ValueType& type) {
    return type.kind != ValueKind::array && type.kind != ValueKind::record &&
           type.kind != ValueKind::bytes;
}

Status check_unique(const std::vector<Parameter>& parameters) {
    std::set<std::string> names;
    for (const auto& parameter : parameters) {
        if (parameter.short_name == 'h' || parameter.long_name == "help") {
            return fail(fmt::format("bad package: {} wants the option that shows the help",
                                    util::printable(parameter.name)));
        }
        const bool fresh = names.insert("--" + parameter.long_name).second &&
                           (parameter.short_name == 0 ||
                            names.insert(std::string("-") + parameter.short_name).second);
        if (!fresh) {
            return fail(fmt::format("bad package: two variables want the option of {}",
                                    util::printable(parameter.name)));
        }
    }
    return {};
}

Status add_section(std::vector<Parameter>& out, const SectionMeta& section, const btf* types,
                   const std::vector<SectionBytes>& contents) {
    const auto content = std::find_if(contents.begin(), contents.end(), [&](const auto& entry) {
        return entry.name == section.name;
    });
    const btf_type* type = types != nullptr ? find_section(types, section.name) : nullptr;
    const auto variables = type != nullptr ? variables_of(types, *type) : std::vector<Variable>{};
    for (const auto& meta : section.variables) {
        // Gaps of a section's layout stand in some packages as variables of this name.
        if (meta.name.rfind(dummy_prefix, 0) == 0 || meta.name == "__padding") {
            continue;
        }
        const auto variable =
            std::find_if(variables.begin(), variables.end(),
                         [&](const auto& entry) { return entry.name == meta.name; });
        if (variable == variables.end() || content == contents.end()) {
            return fail(fmt::format("bad package: its object has no variable {} in {}",
                                    util::printable(meta.name), util::printable(section.name)));
        }
        auto parameter = make_parameter(section.name, meta, *variable, types, content->bytes);
        if (!parameter) {
            return tl::unexpected(parameter.error());
        }
        if (settable(*parameter->value_type)) {
            out.push_back(std::move(*parameter));
        }
    }
    return {};
}

}  // namespace

Result<std::vector<Parameter>> find_parameters(const Meta& meta, const btf* types,
                                               const std::vector<SectionBytes>& contents) {
    std::vector<Parameter> out;
    if (types == nullptr && meta.format == FormatVersion::older) {
        return out;
    }
    for (const auto& section : sections_of(meta, types)) {
        if (const auto status = add_section(out, section, types, contents); !status) {
            return tl::unexpected(status.error());
        }
    }
    if (const auto status = check_unique(out); !status) {
        return tl::unexpected(status.error());
    }
    return out;
}

}  // namespace rqs::pkg
