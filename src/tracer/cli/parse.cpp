// SPDX-License-Identifier: BSD-2-Clause
#include "cli/parse.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>

#include "cli/help.h"
#include "cli/lex.h"
#include "util/text.h"
#include "util/values.h"

namespace rqs::cli {
namespace {

using util::in_quotes;

constexpr std::uint64_t ns_per_us = 1000;

const Command* find_command(const Commands& commands, std::string_view name) {
    const auto row = std::find_if(commands.begin(), commands.end(),
                                  [&](const Command& one) { return one.name == name; });
    return row == commands.end() ? nullptr : &*row;
}

/// The command that the first operand names, which is taken away then; else the one without a name.
const Command& take_command(std::vector<std::string>& operands, const Commands& commands) {
    const Command* named = operands.empty() || operands.front().empty()
                               ? nullptr
                               : find_command(commands, operands.front());
    if (named == nullptr) {
        return *find_command(commands, "");
    }
    operands.erase(operands.begin());
    return *named;
}

/// The names of all commands in a sentence.
std::string command_names(const Commands& commands) {
    std::string names;
    for (const Command& command : commands) {
        names += names.empty() || command.name.empty() ? "" : ", ";
        names += command.name;
    }
    return names;
}

tl::unexpected<Error> not_taken(const Command& command, const std::string& word) {
    return usage_error(
        fmt::format("{0} does not take {1}; see 'runqslower {0} --help'", command.name, word));
}

/// The same of an option without a command: it is one of another command.
tl::unexpected<Error> of_another_command(const OptionRow& row, const Commands& commands) {
    const auto other = std::find_if(commands.begin(), commands.end(),
                                    [&](const Command& one) { return one.takes(row.group); });
    return usage_error(fmt::format("{0} is an option of {1}; see '{1} --help'", row.display_name(),
                                   other->full_name()));
}

/// Whether the command takes what was given.
Status check_words(const Command& command, const Words& words, const Commands& commands) {
    for (const Use& use : words.uses) {
        if (!command.takes(use.row->group)) {
            return command.name.empty() ? of_another_command(*use.row, commands)
                                        : not_taken(command, use.row->display_name());
        }
    }
    if (!command.takes_min_us && !command.takes_files && !words.operands.empty()) {
        return not_taken(command, in_quotes(words.operands.front()));
    }
    if (words.command && !command.takes_command) {
        return usage_error(
            fmt::format("{} runs no command; leave out -- and what follows", command.name));
    }
    return {};
}

Status apply_options(const Words& words, Invocation& out) {
    for (const Use& use : words.uses) {
        if (auto status = use.row->apply(out, use.row->display_name(), use.value); !status) {
            return status;
        }
    }
    return {};
}

Status take_min_us(const std::vector<std::string>& operands, const Commands& commands,
                   SourceOptions& source) {
    if (operands.size() > 1) {
        return usage_error(fmt::format(
            "both {} and {} were given, but there is one min_us; a command to run goes after --",
            in_quotes(operands[0]), in_quotes(operands[1])));
    }
    if (operands.empty()) {
        return {};
    }
    const std::string& word = operands.front();
    constexpr std::string_view of_numbers = "0123456789-+ .";
    if (!word.empty() && of_numbers.find(word[0]) == std::string_view::npos) {
        return usage_error(
            fmt::format("{} is neither a number of microseconds nor one of {}; a command to run "
                        "goes after --",
                        in_quotes(word), command_names(commands)));
    }
    auto value = util::parse_number(word, "min_us", {0, UINT64_MAX / ns_per_us});
    if (!value) {
        return tl::unexpected(value.error());
    }
    source.min_us = *value;
    return {};
}

/// Recordings, and among them perhaps a min_us: a file of such a name is written ./1000.
Status take_files(const std::vector<std::string>& operands, const Commands& commands,
                  TraceOptions& trace) {
    std::vector<std::string> numbers;
    for (const std::string& word : operands) {
        if (word.empty()) {
            return usage_error("an empty word is not a file");
        }
        (util::all_digits(word) ? numbers : trace.replay.files).push_back(word);
    }
    if (trace.replay.files.empty()) {
        return usage_error(
            "which recording? name its file, or - for standard input; 'runqslower record' makes "
            "one");
    }
    if (numbers.size() > 1) {
        return usage_error(
            fmt::format("both {} and {} were given, but there is one min_us; write ./{} for a file "
                        "of that name",
                        in_quotes(numbers[0]), in_quotes(numbers[1]), numbers[1]));
    }
    return take_min_us(numbers, commands, trace.source);
}

Status take_operands(const Command& command, const std::vector<std::string>& operands,
                     const Commands& commands, TraceOptions& trace) {
    trace.source.min_us = command.default_min_us;
    return command.takes_files ? take_files(operands, commands, trace)
                               : take_min_us(operands, commands, trace.source);
}

Status take_run_command(Words& words, RunOptions& run) {
    if (!words.command) {
        return {};
    }
    if (words.command->empty() || words.command->front().empty()) {
        return usage_error("there is no command after --");
    }
    run.command = std::move(*words.command);
    return {};
}

/// The id 0 stands for every id, so other ids beside it contradict it.
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

void warn_of_sampling(Invocation& out) {
    const ViewOptions& view = out.trace.view;
    if (view.why) {
        out.warnings.emplace_back(
            "--why: sampling does not know who had the CPU; nothing is added");
    }
    if (view.previous) {
        out.warnings.emplace_back(
            "--previous: sampling does not know who left the CPU; nothing is added");
    }
    if (view.by == GroupBy::cgroup) {
        out.warnings.emplace_back("--by cgroup: sampling knows no cgroups; summed up by process");
    }
    if (view.by == GroupBy::parent) {
        out.warnings.emplace_back("--by parent: sampling knows no parents; summed up by process");
    }
    if (view.by == GroupBy::cpu) {
        out.warnings.emplace_back("--by cpu: sampling knows no CPUs; summed up by process");
    }
}

/// Options of the rings, which sampling does not have: they change nothing there.
void warn_of_ring_options(const Words& words, Invocation& out) {
    constexpr std::array<std::string_view, 4> of_rings{"history", "buffer", "priority", "strict"};
    for (const std::string_view name : of_rings) {
        const bool used = std::any_of(words.uses.begin(), words.uses.end(),
                                      [&](const Use& use) { return use.row->long_name == name; });
        if (used) {
            out.warnings.push_back(fmt::format(
                "--{}: sampling loses nothing and reads no rings; it has no effect", name));
        }
    }
}

/// What follows from options together, in whatever order they were given.
Status settle(const Words& words, Invocation& out) {
    SourceOptions& source = out.trace.source;
    if (auto status = settle_ids(source.filters.pids, "--pid"); !status) {
        return status;
    }
    if (auto status = settle_ids(source.filters.tids, "--tid"); !status) {
        return status;
    }
    if (source.kind == SourceKind::schedstat) {
        warn_of_sampling(out);
        warn_of_ring_options(words, out);
    }
    // With the sampling source --interval is first of all how often it samples.
    if (source.interval_s && source.kind != SourceKind::schedstat) {
        out.trace.view.summary = true;
    }
    return {};
}

/// Of waits that are printed one by one, or of their time as it goes by; a report does neither.
Status settle_replay(const Words& words, const Invocation& out) {
    constexpr std::array<std::string_view, 5> of_events{"previous", "why", "wide", "interval",
                                                        "stuck"};
    const ReplayOptions& replay = out.trace.replay;
    for (const Use& use : words.uses) {
        const std::string_view name = use.row->long_name;
        const bool of_files =
            name == "why" && !(replay.sqlite_path.empty() && replay.perfetto_path.empty());
        if (out.command->takes_files && !replay.events && !of_files &&
            std::find(of_events.begin(), of_events.end(), name) != of_events.end()) {
            return usage_error(
                fmt::format("{0}: a report shows no single waits; add --events, or leave out {0}",
                            use.row->display_name()));
        }
    }
    return {};
}

Status settle_flight(const RecordOptions& record, bool to_pipe) {
    if (record.max_bytes || record.files > 1 || to_pipe) {
        return usage_error(
            "--flight writes a file for each trigger; leave out --max-size and --rotate, and name "
            "a file, not -");
    }
    return {};
}

/// Whether there can be a recording at all.
Status settle_recording(const Invocation& out) {
    const TraceOptions& trace = out.trace;
    const bool alone = out.command->takes(Group::keep) && !out.command->takes(Group::beside);
    if (!alone && trace.record.path.empty()) {
        return {};
    }
    if (trace.source.kind == SourceKind::schedstat) {
        return usage_error(
            "sampling sees no switches, so there is nothing to record; leave out --source");
    }
    if (trace.record.path == "-" && trace.view.output_path.empty()) {
        return usage_error("--record -: standard output has the events; give them a file with -o");
    }
    return {};
}

/// What is kept, and how, must go together.
Status settle_keeping(const Words& words, const Invocation& out) {
    const RecordOptions& record = out.trace.record;
    const bool beside = out.command->takes(Group::beside);
    for (const Use& use : words.uses) {
        if (use.row->group == Group::keep && beside && record.path.empty()) {
            return usage_error(
                fmt::format("{}: nothing is recorded; add --record FILE, or use "
                            "'runqslower record'",
                            use.row->display_name()));
        }
    }
    const bool to_pipe = record.path == "-" || (!beside && out.trace.view.to_stdout);
    if (record.flight_s) {
        return settle_flight(record, to_pipe);
    }
    if (record.trigger_us || !record.trigger_pressure.empty()) {
        return usage_error("a trigger makes a flight recorder write; add --flight SECONDS");
    }
    if (record.flight_bytes) {
        return usage_error("--flight-size: how many seconds are kept in it? add --flight SECONDS");
    }
    if (to_pipe && (record.max_bytes || record.files > 1)) {
        return usage_error("--max-size and --rotate are for files; leave them out, or name a file");
    }
    if (record.files > 1 && !record.max_bytes) {
        return usage_error("--rotate: how large may a file become? add --max-size");
    }
    return {};
}

/// --help and --version are answered whatever else is there, help first.
Answer wanted_answer(const Words& words) {
    Answer answer = Answer::none;
    for (const Use& use : words.uses) {
        if (answer != Answer::help && use.row->answer != Answer::none) {
            answer = use.row->answer;
        }
    }
    return answer;
}

Status understand(Words& words, const Commands& commands, Invocation& out) {
    Status status = check_words(*out.command, words, commands);
    status = status ? apply_options(words, out) : status;
    status = status ? take_operands(*out.command, words.operands, commands, out.trace) : status;
    status = status ? take_run_command(words, out.trace.run) : status;
    status = status ? settle(words, out) : status;
    status = status ? settle_replay(words, out) : status;
    status = status ? settle_recording(out) : status;
    return status ? settle_keeping(words, out) : status;
}

}  // namespace

Result<Invocation> parse(int argc, const char* const* argv, const Commands& commands) {
    auto words = lex(argc, argv);
    if (!words) {
        return tl::unexpected(words.error());
    }
    Invocation out;
    const Command& command = take_command(words->operands, commands);
    if (const Answer answer = wanted_answer(*words); answer != Answer::none) {
        out.text = answer == Answer::help ? help_text(command, commands) : version_text();
        return out;
    }
    out.command = &command;
    if (auto status = understand(*words, commands, out); !status) {
        return tl::unexpected(status.error());
    }
    return out;
}

}  // namespace rqs::cli
