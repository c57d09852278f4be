// SPDX-License-Identifier: BSD-2-Clause
// The command line behind a package: parsing it, and the help about it.
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cstdlib>

#include "pkg/dump.h"
#include "pkg/encode.h"
#include "pkg/parameters.h"
#include "util/safe_text.h"

namespace rqs::pkg {
namespace {

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

bool default_is_true(const Parameter& parameter) {
    return parameter.default_text ? *parameter.default_text == "true"
                                  : !parameter.initial.empty() && parameter.initial[0] != 0;
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
        // "ecli run PACKAGE -- --option": the dashes say where ecli's own words end.
        next_ += !arguments_.empty() && arguments_.front() == "--" ? 1U : 0U;
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
            // The short word does what stands beside it in the help.
            const bool off = typed.name.size() == 2 && default_is_true(parameter);
            return assign(parameter, off ? "false" : "true");
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
    append_option(out, "    --verbose", "show libbpf's messages");
    if (!meta.doc.details.empty()) {
        out += '\n';
        append_paragraph(out, meta.doc.details);
    }
    return out;
}

}  // namespace rqs::pkg
