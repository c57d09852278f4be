// SPDX-License-Identifier: BSD-2-Clause
// Events a second and core that the sinks format, from waits made up here: no kernel, no file.
#include <benchmark/benchmark.h>

#include <random>
#include <string>
#include <vector>

#include "model/event.h"
#include "model/known_names.h"
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

/// As the source tells of every cgroup that occurs.
KnownNames make_names(const std::vector<Wait>& waits) {
    KnownNames names;
    for (const Wait& wait : waits) {
        CgroupInfo info;
        info.id = wait.cgroup_id;
        info.path = "/system.slice/service-" + std::to_string(wait.cgroup_id) + ".service";
        names.learn(info);
    }
    return names;
}

void format_waits(benchmark::State& state, const ViewOptions& view) {
    const std::vector<Wait> waits = make_waits();
    const KnownNames names = make_names(waits);
    RunInfo info;
    info.realtime_offset_ns = 1'700'000'000'000'000'000;
    info.names = &names;
    const auto sink = make_sink({view, info, 0, 0});
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

ViewOptions view_for(Format format, bool previous = false, bool wide = false, bool why = false) {
    ViewOptions view;
    view.format = format;
    view.previous = previous;
    view.wide = wide;
    view.why = why;
    return view;
}

BENCHMARK_CAPTURE(format_waits, text, view_for(Format::text));
BENCHMARK_CAPTURE(format_waits, text_previous, view_for(Format::text, true));
BENCHMARK_CAPTURE(format_waits, text_wide, view_for(Format::text, true, true));
BENCHMARK_CAPTURE(format_waits, text_why, view_for(Format::text, false, false, true));
BENCHMARK_CAPTURE(format_waits, json, view_for(Format::json));
BENCHMARK_CAPTURE(format_waits, csv, view_for(Format::csv));

}  // namespace
}  // namespace rqs::bench

BENCHMARK_MAIN();
