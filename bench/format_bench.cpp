// SPDX-License-Identifier: BSD-2-Clause
// Events a second and core that the sinks format, from waits made up here: no kernel, no file.
#include <benchmark/benchmark.h>

#include <random>
#include <string>
#include <vector>

#include "model/event.h"
#include "model/options.h"
#include "sinks/sink.h"

namespace rqs::bench {
namespace {

constexpr std::size_t wait_count = 4096;
constexpr std::size_t flush_at = 1U << 18;  // what the tool collects before it writes

/// What runs on a machine: a few programs, many threads.
TaskId make_task(std::mt19937_64& random) {
    static constexpr std::array<std::string_view, 6> names{
        "postgres", "kworker/u16:3", "nginx", "java", "ffmpeg", "tokio-runtime-w"};
    const auto tid = static_cast<std::uint32_t>(random() % 4'000'000 + 1);
    return {tid, tid - static_cast<std::uint32_t>(random() % 16),
            Comm::from(names[random() % names.size()])};
}

Part make_part(std::mt19937_64& random, std::uint64_t ns) {
    Part part;
    part.kind = PartKind::ran;
    part.relation = random() % 2 == 0 ? Relation::foreign : Relation::self;
    part.task = make_task(random);
    part.cgroup_id = random() % 100'000;
    part.ns = ns;
    return part;
}

/// A wait of 0.1 µs to 100 ms with one to three parts, as ledgers have them.
Wait make_wait(std::mt19937_64& random, std::uint64_t ts_ns) {
    Wait wait;
    wait.ts_ns = ts_ns;
    wait.wait_ns = 100ULL << (random() % 20);
    wait.cpu = static_cast<std::uint32_t>(random() % 64);
    wait.task = make_task(random);
    wait.prev = make_task(random);
    wait.cgroup_id = random() % 100'000;
    wait.sched_cgroup_id = wait.cgroup_id;
    wait.cause = Cause::contention;
    const std::uint64_t parts = random() % 3 + 1;
    const std::uint64_t part_ns = wait.wait_ns / parts;
    wait.why.reserve(parts);
    wait.why.push_back(make_part(random, wait.wait_ns - (parts - 1) * part_ns));
    while (wait.why.size() < parts) {
        wait.why.push_back(make_part(random, part_ns));
    }
    return wait;
}

/// In time order, 10 µs apart on average. The seed is fixed: every run formats the same waits.
std::vector<Wait> make_waits() {
    std::mt19937_64 random{20200211};
    std::vector<Wait> waits;
    std::uint64_t ts_ns = 86'400'000'000'000;
    for (std::size_t i = 0; i < wait_count; ++i) {
        ts_ns += random() % 20'000;
        waits.push_back(make_wait(random, ts_ns));
    }
    return waits;
}

void format_waits(benchmark::State& state, const Options& options) {
    const std::vector<Wait> waits = make_waits();
    const RunInfo info{options, 1'700'000'000'000'000'000, false};
    const auto sink = make_sink(options.format, info);
    std::string out;
    out.reserve(2 * flush_at);
    std::int64_t bytes = 0;
    for (auto _ : state) {
        for (const Wait& wait : waits) {
            sink->wait(out, wait);
            if (out.size() >= flush_at) {
                bytes += static_cast<std::int64_t>(out.size());
                benchmark::DoNotOptimize(out.data());
                out.clear();
            }
        }
    }
    state.SetItemsProcessed(state.iterations() * static_cast<std::int64_t>(waits.size()));
    state.SetBytesProcessed(bytes + static_cast<std::int64_t>(out.size()));
}

Options options_for(Format format, bool previous = false, bool wide = false, bool why = false) {
    Options options;
    options.format = format;
    options.previous = previous;
    options.wide = wide;
    options.why = why;
    return options;
}

BENCHMARK_CAPTURE(format_waits, text, options_for(Format::text));
BENCHMARK_CAPTURE(format_waits, text_previous, options_for(Format::text, true));
BENCHMARK_CAPTURE(format_waits, text_wide, options_for(Format::text, true, true));
BENCHMARK_CAPTURE(format_waits, text_why, options_for(Format::text, false, false, true));
BENCHMARK_CAPTURE(format_waits, json, options_for(Format::json));
BENCHMARK_CAPTURE(format_waits, csv, options_for(Format::csv));

}  // namespace
}  // namespace rqs::bench

BENCHMARK_MAIN();
