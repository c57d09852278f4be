// SPDX-License-Identifier: BSD-2-Clause
// rqs_record_bench: what it takes to keep switches that are made up here, on as many CPUs as one
// likes: no kernel, no ring. Prints one JSON object.
#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <ctime>
#include <nlohmann/json.hpp>

#include "bench/meter.h"
#include "record/file_store.h"
#include "record/recorder.h"
#include "sources/synthetic.h"
#include "util/clock.h"

namespace rqs::bench {
namespace {

struct Arguments {
    std::uint32_t cpus = 256;
    std::uint32_t tasks_a_cpu = 8;
    std::uint64_t rate = 20'000;  ///< switches a second and CPU
    std::uint64_t switches = 20'000'000;
    std::string out = "/dev/null";
};

constexpr std::uint64_t ns_per_s = 1'000'000'000;

SyntheticSource make_source(const Arguments& arguments) {
    return {SourceOptions{},
            {arguments.cpus, arguments.tasks_a_cpu,
             ns_per_s / std::max<std::uint64_t>(arguments.rate, 1)}};
}

class Nobody final : public RecordHandler {};

/// CPU time of this thread for making up so many switches and handing them to `handler`.
template <typename EachQuarter>
std::uint64_t run(const Arguments& arguments, RecordHandler& handler, EachQuarter each_quarter) {
    SyntheticSource source = make_source(arguments);
    (void)source.start();
    const std::uint64_t before_ns = util::clock_ns(CLOCK_THREAD_CPUTIME_ID);
    for (std::uint64_t quarter = 0; quarter < 4; ++quarter) {
        for (std::uint64_t i = 0; i < arguments.switches / 4 && !handler.done(); ++i) {
            source.step(handler);
        }
        handler.on_reached(source.now_ns());
        each_quarter(quarter);
    }
    return util::clock_ns(CLOCK_THREAD_CPUTIME_ID) - before_ns;
}

Result<nlohmann::json> measure(const Arguments& arguments) {
    Nobody nobody;
    const std::uint64_t source_ns = run(arguments, nobody, [](std::uint64_t) {});
    RecordingInfo info;
    info.host = "nowhere";
    info.cpus = arguments.cpus;
    auto store = record::FileStore::open(arguments.out, info, {});
    if (!store) {
        return tl::unexpected(store.error());
    }
    record::LineOptions line;
    line.threads = record::packing_threads(arguments.cpus);
    nlohmann::json figures;
    const std::uint64_t process_before_ns = util::clock_ns(CLOCK_PROCESS_CPUTIME_ID);
    const std::uint64_t began_ns = util::monotonic_ns();
    record::Recorder recorder(**store, line);
    const std::uint64_t reader_ns = run(arguments, recorder, [&](std::uint64_t quarter) {
        figures["rss"][quarter] = resident(::getpid()).now;
    });
    if (auto finished = recorder.finish(util::monotonic_ns(), {}); !finished) {
        return tl::unexpected(finished.error());
    }
    figures["cpus"] = arguments.cpus;
    figures["switches"] = recorder.switches();
    figures["elapsed_ns"] = util::monotonic_ns() - began_ns;
    figures["reader_ns"] = reader_ns - std::min(reader_ns, source_ns);
    figures["process_ns"] =
        util::clock_ns(CLOCK_PROCESS_CPUTIME_ID) - process_before_ns - source_ns;
    figures["source_ns"] = source_ns;
    figures["threads"] = line.threads;
    figures["bytes"] = (*store)->bytes();
    figures["peak_rss"] = resident(::getpid()).peak;
    return figures;
}

}  // namespace
}  // namespace rqs::bench

int main(int argc, char** argv) {
    rqs::bench::Arguments arguments;
    CLI::App app{"what it takes to record made-up switches"};
    app.add_option("--cpus", arguments.cpus, "of the machine")->check(CLI::Range(1, 8192));
    app.add_option("--tasks", arguments.tasks_a_cpu, "that take turns on each of them");
    app.add_option("--rate", arguments.rate, "switches a second and CPU");
    app.add_option("--switches", arguments.switches, "in all");
    app.add_option("--out", arguments.out, "where the recording goes");
    CLI11_PARSE(app, argc, argv);
    const auto figures = rqs::bench::measure(arguments);
    if (!figures) {
        fmt::print(stderr, "rqs_record_bench: {}\n", figures.error().message);
        return static_cast<int>(figures.error().code);
    }
    fmt::print("{}\n", figures->dump());
    return 0;
}
