// SPDX-License-Identifier: BSD-2-Clause
#include "bench/measure.h"

#include <fmt/format.h>
#include <unistd.h>

#include <array>

#include "bench/meter.h"

namespace rqs::bench {

void progress(std::string_view text) {
    fmt::print(stderr, "rqs_bench: {}\n", text);
}

double milliseconds(Clock::duration time) {
    return std::chrono::duration<double, std::milli>{time}.count();
}

Words load_words(const Plan& plan, std::string_view load) {
    Words words{std::string(load), "--seconds", fmt::format("{}", plan.window_s)};
    if (load != "hackbench") {
        words.insert(words.end(), {"--cpu", fmt::format("{}", plan.cpu)});
    }
    return words;
}

Result<double> measure_load(const Plan& plan, const Words& words) {
    auto load = Load::start(plan.program("rqs_load"), words);
    if (!load) {
        return tl::unexpected(load.error());
    }
    const auto run = load->run();
    if (!run) {
        return tl::unexpected(run.error());
    }
    return run->ns_per_op();
}

Result<Hook> measure_hook(pid_t pid, Load& load) {
    const auto stats = RunTimeStats::enable();
    if (!stats) {
        return tl::unexpected(stats.error());
    }
    const auto before = program_totals(pid);
    const auto run = load.run();
    const auto after = program_totals(pid);
    if (!before || !run || !after) {
        return tl::unexpected(!before ? before.error() : !run ? run.error() : after.error());
    }
    const auto switches = static_cast<double>(after->switches - before->switches);
    return Hook{static_cast<double>(after->run_ns - before->run_ns) / switches,
                static_cast<double>(after->runs - before->runs) / switches};
}

Result<Hook> measure_hook(pid_t pid, const Plan& plan, const Words& words) {
    auto load = Load::start(plan.program("rqs_load"), words);
    if (!load) {
        return tl::unexpected(load.error());
    }
    return measure_hook(pid, *load);
}

Series net_of(const Series& hook_ns, const Series& runs, const Series& empty_hook_ns,
              const Series& empty_runs) {
    Series net_ns;
    for (std::size_t i = 0; i < hook_ns.size() && i < empty_hook_ns.size(); ++i) {
        net_ns.add(hook_ns.at(i) - empty_hook_ns.at(i) / empty_runs.at(i) * runs.at(i));
    }
    return net_ns;
}

void add_counter(std::optional<std::uint64_t>& sum, const std::optional<std::uint64_t>& more) {
    if (more) {
        sum = sum.value_or(0) + *more;
    }
}

Result<Output> output_of(const Words& argv) {
    auto out = Pipe::make();
    if (!out) {
        return tl::unexpected(out.error());
    }
    auto process = Process::start(argv, {-1, out->write.get(), -1});
    if (!process) {
        return tl::unexpected(process.error());
    }
    out->write.reset();
    Output output;
    std::array<char, 4096> bytes{};
    ssize_t got = 0;
    while ((got = ::read(out->read.get(), bytes.data(), bytes.size())) > 0) {
        output.text.append(bytes.data(), static_cast<std::size_t>(got));
    }
    const Process::Usage usage = process->join();
    output.cpu_ns = usage.cpu_ns;
    output.peak_rss = usage.peak_rss;
    output.succeeded = usage.succeeded;
    return output;
}

}  // namespace rqs::bench
