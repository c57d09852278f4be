// SPDX-License-Identifier: BSD-2-Clause
#include "cli/parse.h"

#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <cstddef>
#include <optional>
#include <string_view>
#include <utility>

#include "cli/table.h"
#include "cli/values.h"
#include "util/safe_text.h"

#ifndef RQS_VERSION
#define RQS_VERSION "unversioned"  // the build defines it
#endif

namespace rqs::cli {
namespace {

constexpr std::string_view see_help = "see 'runqslower --help'";
constexpr std::uint64_t ns_per_us = 1000;
constexpr double demo_duration_s = 10;

/// One use of an option.
struct Use {
    const OptionRow* row = nullptr;
    std::string value;
};

/// A command line taken apart, nothing understood yet.
struct Words {
    std::vector<Use> uses;
    std::vector<std::string> operands;
    std::optional<std::vector<std::string>> command;  ///< what followed --
};

/// A user's word in an error line.
std::string in_quotes(std::string_view word) {
    return "'" + util::printable(word) + "'";
}

const OptionRow* find_long(std::string_view name) {
    const auto& rows = option_table();
    const auto row = std::find_if(rows.begin(), rows.end(), [&](const OptionRow& candidate) {
        return !candidate.long_name.empty() && candidate.long_name == name;
    });
    return row == rows.end() ? nullptr : &*row;
}

/// Whether the word after `arg` is the value of an option: `--pid`, `-p`, `-Pp`; not `-p5`.
bool expects_value(std::string_view arg) {
    if (arg.size() < 2 || arg[0] != '-') {
        return false;
    }
    if (arg[1] == '-') {
        const OptionRow* row = find_long(arg.substr(2));
        return row != nullptr && row->takes_value();
    }
    for (std::size_t i = 1; i < arg.size(); ++i) {
        const auto& rows = option_table();
        const bool takes_value = std::any_of(rows.begin(), rows.end(), [&](const OptionRow& row) {
            return row.short_name == arg[i] && row.takes_value();
        });
        if (takes_value) {
            return i + 1 == arg.size();
        }
    }
    return false;
}

/// `--name=value` as the two words `--name` and `value`: the parser underneath takes `--name=` for
/// an option without a value and `--flag=no` for a flag that is off.
Status split_assignments(std::vector<std::string>& args) {
    std::vector<std::string> result;
    result.reserve(args.size());
    bool is_value = false;
    for (std::string& arg : args) {
        const std::size_t equals = arg.find('=');
        const bool is_long = !is_value && arg.size() > 2 && arg.compare(0, 2, "--") == 0;
        const OptionRow* row =
            is_long ? find_long(std::string_view(arg).substr(2, equals - 2)) : nullptr;
        if (row == nullptr || equals == std::string::npos) {
            is_value = !is_value && expects_value(arg);
            result.push_back(std::move(arg));
            continue;
        }
        if (!row->takes_value()) {
            return usage_error(fmt::format("{} takes no value; leave out {}", row->display_name(),
                                           in_quotes(std::string_view(arg).substr(equals))));
        }
        result.push_back(arg.substr(0, equals));
        result.push_back(arg.substr(equals + 1));
        is_value = false;
    }
    args = std::move(result);
    return {};
}

/// The long option that a mistyped one most likely meant: they share the longest beginning.
std::string suggestion(std::string_view word) {
    std::string_view best;
    std::size_t best_shared = 3;  // two dashes and two letters say something
    for (const OptionRow& row : option_table()) {
        if (row.group == Group::hidden) {
            continue;
        }
        const std::string full = row.display_name();
        const auto end = std::mismatch(full.begin(), full.end(), word.begin(), word.end()).first;
        const auto shared = static_cast<std::size_t>(end - full.begin());
        if (shared > best_shared) {
            best_shared = shared;
            best = row.long_name;
        }
    }
    return best.empty() ? std::string(see_help) : fmt::format("did you mean --{}?", best);
}

/// Sorts what the parser underneath did not know into operands and errors.
Status take_remaining(const std::vector<std::string>& remaining, Words& words) {
    for (const std::string& word : remaining) {
        // A negative number is a wrong operand, not an option.
        const bool is_option =
            word.size() > 1 && word[0] == '-' && (word[1] < '0' || word[1] > '9');
        if (is_option) {
            const bool is_long = word[1] == '-';
            return usage_error(fmt::format(
                "unknown option {}; {}",
                in_quotes(is_long ? std::string_view(word) : std::string_view(word).substr(0, 2)),
                is_long ? suggestion(word) : std::string(see_help)));
        }
        words.operands.push_back(word);
    }
    return {};
}

/// Lets CLI11 find options, clusters of them and their values; it converts nothing.
Status lex(std::vector<std::string> args, Words& words) {
    CLI::App app;
    app.set_help_flag();
    app.allow_extras();
    std::vector<std::pair<const OptionRow*, CLI::Option*>> options;
    for (const OptionRow& row : option_table()) {
        std::string names = row.short_name != 0 ? fmt::format("-{}", row.short_name) : "";
        if (!row.long_name.empty()) {
            names += fmt::format("{}--{}", names.empty() ? "" : ",", row.long_name);
        }
        CLI::Option* option = app.add_option(names, CLI::callback_t{[](auto&&) { return true; }});
        if (row.takes_value()) {
            // Without extra args, or '[a,b]' would be taken for a list.
            option->type_size(1)->expected(1, CLI::detail::expected_max_vector_size);
            option->allow_extra_args(false);
            option->multi_option_policy(CLI::MultiOptionPolicy::TakeAll);
        } else {
            option->type_size(0)->expected(0);
            option->multi_option_policy(CLI::MultiOptionPolicy::TakeLast);
        }
        options.emplace_back(&row, option);
    }
    const std::string last = args.empty() ? std::string() : args.back();
    std::reverse(args.begin(), args.end());
    try {
        app.parse(std::move(args));
    } catch (const CLI::ArgumentMismatch&) {
        // Every option takes whatever follows it, so only the last word can lack its value.
        return usage_error(fmt::format("option {} needs a value; {}", in_quotes(last), see_help));
    } catch (const CLI::Error& error) {
        return usage_error(fmt::format("{}; {}", util::printable(error.what()), see_help));
    }
    for (const auto& [row, option] : options) {
        for (const std::string& value : option->results()) {
            words.uses.push_back({row, value});
        }
    }
    return take_remaining(app.remaining(), words);
}

Result<Words> split(int argc, const char* const* argv) {
    std::vector<std::string> args;
    Words words;
    for (int i = 1; i < argc; ++i) {
        const std::string_view arg = argv[i];
        if (words.command) {
            words.command->emplace_back(arg);
        } else if (arg == "--") {
            words.command.emplace();
        } else {
            args.emplace_back(arg);
        }
    }
    if (auto status = split_assignments(args); !status) {
        return tl::unexpected(status.error());
    }
    if (auto status = lex(std::move(args), words); !status) {
        return tl::unexpected(status.error());
    }
    return words;
}

/// The sub-command that the first operand names, if it names one; then takes it away.
const CommandRow* take_command(std::vector<std::string>& operands) {
    if (operands.empty()) {
        return nullptr;
    }
    for (const CommandRow& row : command_table()) {
        if (row.name == operands.front()) {
            operands.erase(operands.begin());
            return &row;
        }
    }
    return nullptr;
}

/// The names of all sub-commands in a sentence.
std::string command_names() {
    std::string names;
    for (const CommandRow& row : command_table()) {
        names += names.empty() ? "" : ", ";
        names += row.name;
    }
    return names;
}

Status take_min_us(const std::vector<std::string>& operands, Options& options) {
    if (operands.size() > 1) {
        return usage_error(fmt::format(
            "both {} and {} were given, but there is one min_us; a command to run goes after --",
            in_quotes(operands[0]), in_quotes(operands[1])));
    }
    if (operands.empty()) {
        return {};
    }
    const std::string& word = operands.front();
    const bool is_letters = !word.empty() && (word[0] < '0' || word[0] > '9') && word[0] != '-' &&
                            word[0] != '+' && word[0] != ' ' && word[0] != '.';
    if (is_letters) {
        return usage_error(
            fmt::format("{} is neither a number of microseconds nor one of {}; a command to run "
                        "goes after --",
                        in_quotes(word), command_names()));
    }
    auto value = parse_number(word, "min_us", {0, UINT64_MAX / ns_per_us});
    if (!value) {
        return tl::unexpected(value.error());
    }
    options.min_us = *value;
    return {};
}

/// 0 is every id, and so says nothing beside others.
Status settle_ids(std::vector<std::uint32_t>& ids, std::string_view what) {
    const auto zero = std::find(ids.begin(), ids.end(), 0U);
    if (zero == ids.end()) {
        return {};
    }
    if (ids.size() > 1) {
        return usage_error(
            fmt::format("{0} 0 means every one and cannot stand beside another {0}", what));
    }
    ids.clear();
    return {};
}

Status take_run_command(const CommandRow* row, Words& words, Options& options) {
    if (!words.command) {
        return {};
    }
    if (row != nullptr) {
        return usage_error(
            fmt::format("{} runs no command; leave out -- and what follows", row->name));
    }
    if (words.command->empty() || words.command->front().empty()) {
        return usage_error("there is no command after --");
    }
    options.command = std::move(*words.command);
    return {};
}

/// Whether the sub-command takes what was given.
Status check_command(const CommandRow* row, const Words& words) {
    if (row == nullptr || row->takes_options) {
        return {};
    }
    for (const Use& use : words.uses) {
        if (use.row->group != Group::other) {
            return usage_error(fmt::format("{} does not take {}; leave it out", row->name,
                                           use.row->display_name()));
        }
    }
    if (!words.operands.empty()) {
        return usage_error(fmt::format("{} does not take {}; leave it out", row->name,
                                       in_quotes(words.operands.front())));
    }
    return {};
}

void warn_of_sampling(Invocation& out) {
    if (out.options.why) {
        out.warnings.emplace_back(
            "--why: sampling does not know who had the CPU; nothing is added");
    }
    if (out.options.previous) {
        out.warnings.emplace_back(
            "--previous: sampling does not know who left the CPU; nothing is added");
    }
    if (out.options.by == GroupBy::cgroup) {
        out.warnings.emplace_back("--by cgroup: sampling knows no cgroups; summed up by process");
    }
}

/// What follows from what was given.
Status settle(Invocation& out) {
    Options& options = out.options;
    if (auto status = settle_ids(options.filters.pids, "--pid"); !status) {
        return status;
    }
    if (auto status = settle_ids(options.filters.tids, "--tid"); !status) {
        return status;
    }
    if (options.source == SourceKind::schedstat) {
        warn_of_sampling(out);
    }
    // With the sampling source --interval is first of all how often it samples.
    if (options.interval_s && options.source != SourceKind::schedstat) {
        options.summary = true;
    }
    if (out.command == Invocation::Command::demo) {
        options.summary = true;
        if (!options.duration_s) {
            options.duration_s = demo_duration_s;
        }
    }
    return {};
}

/// Applies every option; --help and --version are set aside before, as they outrank all else.
Status apply_options(const Words& words, Invocation& out) {
    for (const Use& use : words.uses) {
        if (auto status = use.row->apply(out, use.row->display_name(), use.value); !status) {
            return status;
        }
    }
    return {};
}

/// Fills `out` where help or version was asked for, whatever else stands there.
bool asks_for_text(const Words& words, Invocation& out) {
    for (const auto& [command, text] : {std::pair{Invocation::Command::help, &help_text},
                                        std::pair{Invocation::Command::version, &version_text}}) {
        for (const Use& use : words.uses) {
            Invocation probe;
            if (!use.row->takes_value() && use.row->apply(probe, "", "") &&
                probe.command == command) {
                out.command = command;
                out.text = text();
                return true;
            }
        }
    }
    return false;
}

/// The left column of one option in --help.
std::string signature(const OptionRow& row) {
    std::string text = row.short_name != 0 ? fmt::format("  -{}, ", row.short_name) : "      ";
    text += fmt::format("--{}", row.long_name);
    return row.takes_value() ? fmt::format("{} {}", text, row.metavar) : text;
}

/// One entry: `left`, then `help` in a column of its own.
void append_entry(std::string& out, std::string_view left, std::string_view help) {
    constexpr std::size_t column = 26;
    out += fmt::format("{:<{}}", left, column);
    for (std::size_t newline = 0; (newline = help.find('\n')) != std::string_view::npos;) {
        out += fmt::format("{}\n{:{}}", help.substr(0, newline), "", column);
        help.remove_prefix(newline + 1);
    }
    out += fmt::format("{}\n", help);
}

}  // namespace

std::string version_text() {
    return "runqslower " RQS_VERSION "\n";
}

std::string help_text() {
    std::string out =
        "Usage: runqslower [options] [min_us] [-- command args...]\n"
        "       runqslower demo [options] [min_us]\n"
        "       runqslower doctor\n"
        "\n"
        "Shows each task that was ready to run and waited for a CPU longer than min_us\n"
        "microseconds (default 10000; 0 shows every wait), and why it had to wait.\n"
        "With a command: runs it, shows its waits and those of all its descendants,\n"
        "and ends with it and with its exit code.\n"
        "\n"
        "Commands:\n";
    for (const CommandRow& row : command_table()) {
        append_entry(out, fmt::format("  {}", row.name), row.help);
    }
    for (const Group group :
         {Group::tasks, Group::output, Group::run, Group::tuning, Group::other}) {
        out += fmt::format("\n{}:\n", heading(group));
        for (const OptionRow& row : option_table()) {
            if (row.group == group) {
                append_entry(out, signature(row), row.help);
            }
        }
    }
    out +=
        "\n"
        "Examples:\n"
        "  runqslower                       waits longer than 10 ms, of all tasks\n"
        "  runqslower 1000 -W               longer than 1 ms, and who had the CPU\n"
        "  runqslower -p 1234 -P            of process 1234, with the previous task\n"
        "  runqslower -s -d 30              half a minute, then a summary\n"
        "  runqslower 0 -f json -- make     every wait of a build, for a program to read\n"
        "  runqslower doctor                what works here and what to do about the rest\n"
        "\n"
        "Exit code: 0 done, 1 the machine refused something, 2 wrong usage; with a\n"
        "command, the command's own.\n";
    return out;
}

Result<Invocation> parse(int argc, const char* const* argv) {
    auto words = split(argc, argv);
    if (!words) {
        return tl::unexpected(words.error());
    }
    Invocation out;
    if (asks_for_text(*words, out)) {
        return out;
    }
    const CommandRow* row = take_command(words->operands);
    out.command = row != nullptr ? row->command : Invocation::Command::trace;
    Status status = check_command(row, *words);
    status = status ? apply_options(*words, out) : status;
    status = status ? take_min_us(words->operands, out.options) : status;
    status = status ? take_run_command(row, *words, out.options) : status;
    status = status ? settle(out) : status;
    if (!status) {
        return tl::unexpected(status.error());
    }
    return out;
}

}  // namespace rqs::cli
