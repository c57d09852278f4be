// SPDX-License-Identifier: BSD-2-Clause
#include "bench/tool.h"

#include <fmt/format.h>
#include <sys/mman.h>

#include <array>
#include <charconv>
#include <csignal>
#include <nlohmann/json.hpp>
#include <sstream>

#include "util/safe_text.h"

namespace rqs::bench {
namespace {

constexpr auto other_start_up = std::chrono::milliseconds{1000};
constexpr auto stop_patience = std::chrono::seconds{20};

std::optional<std::uint64_t> member(const nlohmann::json& object, const char* name) {
    const auto found = object.find(name);
    if (found == object.end() || !found->is_number_unsigned()) {
        return std::nullopt;
    }
    return found->get<std::uint64_t>();
}

/// `runqslower: recorded … ; N waits lost`.
std::optional<std::uint64_t> lost_by_recorder(const std::string& line) {
    const auto at = line.rfind("; ");
    std::uint64_t lost = 0;
    const bool says = line.find("recorded ") != std::string::npos && at != std::string::npos &&
                      // NOLINTNEXTLINE(cert-err34-c): a number that our tool printed
                      std::sscanf(line.c_str() + at, "; %lu waits lost", &lost) == 1;
    return says ? std::optional(lost) : std::nullopt;
}

/// What a tool said about its waits on stderr; the last such line counts.
LastWord parse_errors(const std::string& errors) {
    LastWord word;
    std::istringstream lines{errors};
    for (std::string line; std::getline(lines, line);) {
        std::uint64_t seen = 0;
        std::uint64_t kept = 0;
        std::uint64_t lost = 0;
        // NOLINTBEGIN(cert-err34-c): all are numbers that tools printed
        if (std::sscanf(line.c_str(), "%lu waits in %*f s, %lu kept, %lu lost", &seen, &kept,
                        &lost) == 3) {
            word.seen = seen;
            word.kept = kept;
            word.lost = lost;
        } else if (std::sscanf(line.c_str(), "kept %lu lost %lu", &kept, &lost) == 2) {
            word.kept = kept;
            word.lost = lost;
        } else if (const auto lost_waits = lost_by_recorder(line)) {
            word.lost = *lost_waits;
        }
        // NOLINTEND(cert-err34-c)
        word.lost_events += lost_events(line);
    }
    return word;
}

/// Our tool says it in JSON on stdout or in words on stderr, the classic reference in two words.
LastWord parse_last_word(const std::string& out_line, const std::string& errors) {
    LastWord word = parse_errors(errors);
    const auto json = nlohmann::json::parse(out_line, nullptr, false);
    if (json.is_object() && json.value("type", "") == "summary") {
        word.seen = member(json, "seen");
        word.kept = member(json, "kept");
        word.lost = member(json, "lost");
        word.left_out = member(json, "left_out").value_or(0);
    }
    return word;
}

}  // namespace

Result<std::unique_ptr<Tool>> Tool::start(const Spec& spec) {
    auto out = Pipe::make();
    if (!out) {
        return tl::unexpected(out.error());
    }
    Fd errors{::memfd_create("stderr", MFD_CLOEXEC)};
    LinkWatch watch;
    const auto begin = Clock::now();
    auto process =
        Process::start(spec.argv, {-1, spec.to_null ? -1 : out->write.get(), errors.get()});
    if (!process) {
        return tl::unexpected(process.error());
    }
    out->write.reset();
    std::unique_ptr<Tool> tool{
        new Tool(std::move(*process), std::move(out->read), std::move(errors), spec)};
    if (!spec.uses_bpf) {
        std::this_thread::sleep_for(other_start_up);
        if (tool->process_.ended()) {
            return fail(fmt::format("{} ended at once: {}", spec.argv[0], tool->errors()));
        }
        return tool;
    }
    const auto attached = watch.wait_for_links(tool->process_);
    if (!attached) {
        return fail(
            fmt::format("{}: {}: {}", spec.argv[0], attached.error().message, tool->errors()));
    }
    tool->time_to_attach_ = *attached - begin;
    return tool;
}

Tool::~Tool() {
    // The drain ends when its writer has.
    process_.signal(SIGKILL);
}

Result<LastWord> Tool::stop() {
    interrupt();
    return finish();
}

void Tool::interrupt() {
    drain_.keep();
    process_.signal(SIGINT);
}

Result<LastWord> Tool::finish() {
    if (!process_.wait(stop_patience)) {
        return fail("a tool did not end within 20 seconds of SIGINT");
    }
    drain_.join();
    LastWord word = parse_last_word(drain_.last_line(), error_text());
    word.wait_lines = drain_.wait_lines();
    word.lost_events += drain_.lost_events();
    return word;
}

/// All that it wrote to stderr.
std::string Tool::error_text() const {
    std::string text;
    std::array<char, 4096> bytes{};
    ssize_t got = 0;
    while ((got = ::pread(errors_.get(), bytes.data(), bytes.size(),
                          static_cast<off_t>(text.size()))) > 0) {
        text.append(bytes.data(), static_cast<std::size_t>(got));
    }
    return text;
}

/// The same as one line that is safe to print.
std::string Tool::errors() const {
    std::string line = error_text().substr(0, 4096);
    while (!line.empty() && line.back() == '\n') {
        line.pop_back();
    }
    return util::printable(line);
}

}  // namespace rqs::bench
