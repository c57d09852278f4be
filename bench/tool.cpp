// SPDX-License-Identifier: BSD-2-Clause
#include "bench/tool.h"

#include <fmt/format.h>
#include <sys/mman.h>

#include <array>
#include <charconv>
#include <csignal>
#include <nlohmann/json.hpp>

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

/// Our tool says it in JSON on stdout, the classic reference in two words on stderr.
LastWord parse_last_word(const std::string& out_line, const std::string& errors) {
    LastWord word;
    const auto json = nlohmann::json::parse(out_line, nullptr, false);
    if (json.is_object() && json.value("type", "") == "summary") {
        word.seen = member(json, "seen");
        word.kept = member(json, "kept");
        word.lost = member(json, "lost");
        return word;
    }
    std::uint64_t kept = 0;
    std::uint64_t lost = 0;
    // NOLINTNEXTLINE(cert-err34-c): both are numbers that our own reference printed
    if (std::sscanf(errors.c_str(), "kept %lu lost %lu", &kept, &lost) == 2) {
        word.kept = kept;
        word.lost = lost;
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
    auto process = Process::start(spec.argv, {-1, out->write.get(), errors.get()});
    if (!process) {
        return tl::unexpected(process.error());
    }
    out->write.reset();
    std::unique_ptr<Tool> tool{
        new Tool(std::move(*process), std::move(out->read), std::move(errors), spec.count_waits)};
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
    drain_.keep();
    process_.signal(SIGINT);
    if (!process_.wait(stop_patience)) {
        return fail("a tool did not end within 20 seconds of SIGINT");
    }
    drain_.join();
    LastWord word = parse_last_word(drain_.last_line(), errors());
    word.wait_lines = drain_.wait_lines();
    return word;
}

std::string Tool::errors() const {
    std::array<char, 4096> text{};
    const ssize_t got = ::pread(errors_.get(), text.data(), text.size(), 0);
    if (got <= 0) {
        return {};
    }
    std::string line{text.data(), static_cast<std::size_t>(got)};
    while (!line.empty() && line.back() == '\n') {
        line.pop_back();
    }
    return util::printable(line);
}

}  // namespace rqs::bench
