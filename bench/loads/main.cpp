// SPDX-License-Identifier: BSD-2-Clause
// rqs_load LOAD [--seconds S] [--cpu N] [--tasks N] [--rate N] [--kind K]: one workload, see
// loads.h.
#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <array>
#include <cstdio>
#include <string_view>

#include "bench/loads/loads.h"

namespace rqs::bench {
namespace {

struct Row {
    std::string_view name;
    Status (*run)(const LoadOptions&);
    std::string_view help;
};

constexpr std::array<Row, 6> loads{{
    {"pingpong", pingpong, "two processes on one CPU exchange a byte"},
    {"paced", paced, "the same at --rate waits a second"},
    {"hackbench", hackbench, "--tasks groups of 10 senders and 10 receivers"},
    {"overload", overload, "--tasks runnable tasks of the kind --kind"},
    {"threads", threads, "pingpong beside --tasks sleeping threads"},
    {"ring", ring, "--tasks threads wake each other in turn"},
}};

int exit_code(const Status& status) {
    if (!status) {
        fmt::print(stderr, "rqs_load: {}\n", status.error().message);
        return static_cast<int>(status.error().code);
    }
    return 0;
}

}  // namespace
}  // namespace rqs::bench

int main(int argc, char** argv) {
    using namespace rqs::bench;
    CLI::App app{"one workload of the benchmark"};
    app.require_subcommand(1);
    LoadOptions options;
    double seconds = 1;
    rqs::Status result = rqs::fail("no workload was named");
    for (const Row& row : loads) {
        CLI::App* command = app.add_subcommand(std::string(row.name), std::string(row.help));
        command->add_option("--seconds", seconds)->check(CLI::PositiveNumber);
        command->add_option("--cpu", options.cpu);
        command->add_option("--tasks", options.tasks);
        command->add_option("--rate", options.waits_per_s);
        command->add_option("--kind", options.kind, "of overload, see overload.h");
        command->callback([&result, &options, &seconds, &row] {
            options.duration =
                std::chrono::duration_cast<Clock::duration>(std::chrono::duration<double>{seconds});
            result = row.run(options);
        });
    }
    try {
        app.parse(argc, argv);
    } catch (const CLI::ParseError& error) {
        return app.exit(error) == 0 ? 0 : 2;
    }
    return exit_code(result);
}
