// SPDX-License-Identifier: BSD-2-Clause
#include "pkg/parameters.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <cstring>
#include <set>

#include "pkg/dump.h"
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

// ----------------------------------------------------------------------------- encoding of values

tl::unexpected<Error> bad_value(const std::string& text, std::string_view expected) {
    return usage_error(fmt::format("\"{}\" is not {}", util::printable(text), expected));
}

/// An unsigned magnitude in decimal or hexadecimal, all of `text`.
std::optional<std::uint64_t> parse_magnitude(std::string_view text) {
    const bool hex = text.size() > 2 && text[0] == '0' && (text[1] == 'x' || text[1] == 'X');
    text.remove_prefix(hex ? 2 : 0);
    std::uint64_t value = 0;
    const auto [end, error] =
        std::from_chars(text.data(), text.data() + text.size(), value, hex ? 16 : 10);
    if (text.empty() || error != std::errc{} || end != text.data() + text.size()) {
        return std::nullopt;
    }
    return value;
}

std::string little_endian(std::uint64_t value, std::uint32_t size, char fill) {
    std::string out(size, fill);
    for (std::uint32_t i = 0; i < size && i < sizeof(value); ++i) {
        out[i] = static_cast<char>(static_cast<unsigned char>(value >> (8 * i)));
    }
    return out;
}

Result<std::string> encode_integer(const ValueType& type, const std::string& text) {
    const bool negative = !text.empty() && text[0] == '-';
    const auto magnitude = parse_magnitude(std::string_view(text).substr(negative ? 1 : 0));
    if (!magnitude) {
        return bad_value(text, "a whole number");
    }
    const std::uint32_t bits = std::min<std::uint32_t>(type.size * 8, 64);
    const std::uint64_t all = bits == 64 ? UINT64_MAX : (std::uint64_t{1} << bits) - 1;
    // Beyond 64 bits every value that the magnitude can have fits.
    const bool wide = type.size > 8;
    const std::uint64_t top = type.is_signed && !wide ? all / 2 : all;
    const std::uint64_t bottom = type.is_signed ? (wide ? all : all / 2 + 1) : 0;
    if (*magnitude > (negative ? bottom : top)) {
        return bad_value(text, type.is_signed ? fmt::format("between -{} and {}", bottom, top)
                                              : fmt::format("between 0 and {}", top));
    }
    const std::uint64_t value = negative ? ~*magnitude + 1 : *magnitude;
    return little_endian(value, type.size, negative && value != 0 ? '\xff' : '\0');
}

Result<std::string> encode_enumeration(const ValueType& type, const std::string& text) {
    for (const auto& entry : type.enumerators) {
        if (entry.name == text) {
            return little_endian(static_cast<std::uint64_t>(entry.value), type.size, '\0');
        }
    }
    ValueType number = type;
    number.is_signed = true;
    return encode_integer(number, text);
}

Result<std::string> encode_float(const ValueType& type, const std::string& text) {
    char* end = nullptr;
    const double value = std::strtod(text.c_str(), &end);
    if (text.empty() || *end != '\0' || !std::isfinite(value)) {
        return bad_value(text, "a number");
    }
    if (type.size == sizeof(double)) {
        std::string out(sizeof(double), '\0');
        std::memcpy(out.data(), &value, sizeof(value));
        return out;
    }
    const auto narrow = static_cast<float>(value);
    std::string out(sizeof(float), '\0');
    std::memcpy(out.data(), &narrow, sizeof(narrow));
    return out;
}

Result<std::string> encode_text(const ValueType& type, const std::string& text) {
    if (text.size() >= type.size) {
        return usage_error(fmt::format("\"{}\" is longer than {} bytes", util::printable(text),
                                       type.size == 0 ? 0 : type.size - 1));
    }
    std::string out = text;
    out.resize(type.size, '\0');
    return out;
}

std::optional<bool> parse_bool(const std::string& text) {
    if (text == "true" || text == "1") {
        return true;
    }
    if (text == "false" || text == "0") {
        return false;
    }
    return std::nullopt;
}

// ------------------------------------------------------------------------------------- arguments

/// One option as it was typed.
struct Typed {
    std::string name;  ///< with its dashes
    std::optional<std::string> value;
};

Typed split(const std::string& argument) {
    if (argument.rfind("--", 0) == 0) {
        const auto equals = argument.find('=');
        if (equals != std::string::npos) {
            return {argument.substr(0, equals), argument.substr(equals + 1)};
        }
        return {argument, std::nullopt};
    }
    if (argument.size() > 2) {
        const std::string value = argument.substr(argument[2] == '=' ? 3 : 2);
        return {argument.substr(0, 2), value};
    }
    return {argument, std::nullopt};
}

class ArgumentParser {
  public:
    ArgumentParser(const std::vector<Parameter>& parameters,
                   const std::vector<std::string>& arguments)
        : parameters_(parameters), arguments_(arguments) {}

    Result<Invocation> run() {
        if (const auto status = apply_defaults(); !status) {
            return tl::unexpected(status.error());
        }
        while (next_ < arguments_.size()) {
            const std::string& argument = arguments_[next_++];
            if (argument.size() < 2 || argument[0] != '-') {
                return usage_error(fmt::format(
                    "unexpected argument \"{}\" (options start with a dash; -h lists them)",
                    util::printable(argument)));
            }
            Typed typed = split(argument);
            const auto status = take(typed);
            if (!status) {
                return tl::unexpected(status.error());
            }
        }
        return std::move(out_);
    }

  private:
    Status apply_defaults() {
        for (const auto& parameter : parameters_) {
            if (parameter.default_text) {
                if (const auto status = assign(parameter, *parameter.default_text); !status) {
                    return fail(fmt::format("bad package: the default of {}: {}",
                                            util::printable(parameter.name),
                                            status.error().message));
                }
            }
        }
        return {};
    }

    Status assign(const Parameter& parameter, const std::string& text) {
        auto bytes = encode_value(*parameter.value_type, text);
        if (!bytes) {
            return tl::unexpected(bytes.error());
        }
        out_.assignments.push_back({parameter.section, parameter.offset, std::move(*bytes)});
        return {};
    }

    Result<std::string> value_of(const Typed& typed) {
        if (typed.value) {
            return *typed.value;
        }
        if (next_ == arguments_.size()) {
            return usage_error(fmt::format("{} needs a value", util::printable(typed.name)));
        }
        return arguments_[next_++];
    }

    Status take(const Typed& typed) {
        for (const auto& parameter : parameters_) {
            if (typed.name == "--" + parameter.long_name ||
                (parameter.short_name != 0 &&
                 typed.name == std::string("-") + parameter.short_name)) {
                return take_parameter(parameter, typed);
            }
            if (parameter.value_type->kind == ValueKind::boolean && !typed.value) {
                if (typed.name == "--enable-" + parameter.long_name) {
                    return assign(parameter, "true");
                }
                if (typed.name == "--disable-" + parameter.long_name) {
                    return assign(parameter, "false");
                }
            }
        }
        return take_own(typed);
    }

    Status take_parameter(const Parameter& parameter, const Typed& typed) {
        if (parameter.value_type->kind == ValueKind::boolean && !typed.value) {
            return assign(parameter, "true");
        }
        const auto value = value_of(typed);
        if (!value) {
            return tl::unexpected(value.error());
        }
        if (const auto status = assign(parameter, *value); !status) {
            return usage_error(
                fmt::format("{}: {}", util::printable(typed.name), status.error().message));
        }
        return {};
    }

    /// What every package understands, unless it has an option of that name itself.
    Status take_own(const Typed& typed) {
        const std::array<std::pair<std::string_view, bool*>, 7> flags{
            {{"-h", &out_.help},
             {"--help", &out_.help},
             {"--version", &out_.version},
             {"--verbose", &out_.verbose},
             {"-j", &out_.json},
             {"--json", &out_.json},
             {"--partial", &out_.partial}}};
        for (const auto& [name, flag] : flags) {
            if (typed.name == name && !typed.value) {
                *flag = true;
                return {};
            }
        }
        if (typed.name == "-d" || typed.name == "--duration") {
            return take_duration(typed);
        }
        if (typed.name == "-n" || typed.name == "--count") {
            return take_count(typed);
        }
        return usage_error(
            fmt::format("unknown option {} (-h lists the package's)", util::printable(typed.name)));
    }

    Status take_duration(const Typed& typed) {
        const auto value = value_of(typed);
        if (!value) {
            return tl::unexpected(value.error());
        }
        char* end = nullptr;
        const double seconds = std::strtod(value->c_str(), &end);
        if (value->empty() || *end != '\0' || !(seconds > 0 && seconds < 1e9)) {
            return bad_value(*value, "a number of seconds above 0");
        }
        out_.duration_s = seconds;
        return {};
    }

    Status take_count(const Typed& typed) {
        const auto value = value_of(typed);
        if (!value) {
            return tl::unexpected(value.error());
        }
        const auto count = parse_magnitude(*value);
        if (!count || *count == 0) {
            return bad_value(*value, "a whole number above 0");
        }
        out_.count = *count;
        return {};
    }

    const std::vector<Parameter>& parameters_;
    const std::vector<std::string>& arguments_;
    std::size_t next_ = 0;
    Invocation out_;
};

// ------------------------------------------------------------------------------------------- help

bool default_is_true(const Parameter& parameter) {
    return parameter.default_text ? *parameter.default_text == "true"
                                  : !parameter.initial.empty() && parameter.initial[0] != 0;
}

std::string option_words(const Parameter& parameter) {
    const bool boolean = parameter.value_type->kind == ValueKind::boolean;
    std::string words = parameter.short_name != 0
                            ? fmt::format("-{}, ", util::printable({&parameter.short_name, 1}))
                            : std::string("    ");
    words += boolean && default_is_true(parameter) ? "--disable-" : "--";
    util::append_printable(words, parameter.long_name);
    words += boolean ? "" : " VALUE";
    return words;
}

void append_option(std::string& out, const std::string& words, const std::string& help) {
    fmt::format_to(std::back_inserter(out), "  {:<30} {}\n", words, util::printable(help));
}

std::string default_words(const Parameter& parameter) {
    std::string value;
    if (parameter.default_text) {
        value = *parameter.default_text;
    } else {
        append_text(value, *parameter.value_type, parameter.initial);
    }
    return fmt::format(" ({}, default {})", parameter.type.empty() ? "number" : parameter.type,
                       value.empty() ? "empty" : value);
}

/// Documentation may have line breaks; everything else in it is made harmless.
void append_paragraph(std::string& out, const std::string& text) {
    std::size_t start = 0;
    while (start <= text.size()) {
        const std::size_t end = std::min(text.find('\n', start), text.size());
        util::append_printable(out, std::string_view(text).substr(start, end - start));
        out += '\n';
        start = end + 1;
    }
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

Result<std::string> encode_value(const ValueType& type, const std::string& text) {
    switch (type.kind) {
        case ValueKind::integer:
        case ValueKind::pointer:
            return encode_integer(type, text);
        case ValueKind::enumeration:
            return encode_enumeration(type, text);
        case ValueKind::floating:
            return encode_float(type, text);
        case ValueKind::text:
            return encode_text(type, text);
        case ValueKind::boolean: {
            const auto value = parse_bool(text);
            if (!value) {
                return bad_value(text, "true or false");
            }
            return std::string(1, *value ? '\1' : '\0');
        }
        default:
            return usage_error("a variable of this type cannot be set from the command line");
    }
}

Result<Invocation> parse_arguments(const std::vector<Parameter>& parameters,
                                   const std::vector<std::string>& arguments) {
    return ArgumentParser(parameters, arguments).run();
}

std::string help_text(const Meta& meta, const std::vector<Parameter>& parameters,
                      const std::string& command) {
    std::string out;
    const std::string& intro = meta.doc.brief.empty() ? meta.doc.description : meta.doc.brief;
    append_paragraph(out, intro.empty() ? "A BPF program without a description." : intro);
    fmt::format_to(std::back_inserter(out), "\nUsage: {} [options]\n", util::printable(command));
    if (!parameters.empty()) {
        out += "\nOptions of the package:\n";
        for (const auto& parameter : parameters) {
            append_option(out, option_words(parameter), parameter.help + default_words(parameter));
        }
    }
    out += "\nOptions of every package:\n";
    append_option(out, "-h, --help", "show this and exit");
    append_option(out, "    --version", "show the package's version and exit");
    append_option(out, "-j, --json", "one JSON object a line");
    append_option(out, "-d, --duration SECONDS", "stop after that time");
    append_option(out, "-n, --count NUMBER", "stop after so many events");
    append_option(out, "    --partial", "go on without programs that this kernel refuses");
    append_option(out, "    --verbose", "show what libbpf says");
    if (!meta.doc.details.empty()) {
        out += '\n';
        append_paragraph(out, meta.doc.details);
    }
    return out;
}

}  // namespace rqs::pkg
