// SPDX-License-Identifier: BSD-2-Clause
// rqs_bench: measures what the tracer costs beside the alternatives, prints the figures and whether
// what is claimed holds. docs/BENCHMARKS.md explains the method.
#include <fmt/format.h>
#include <sched.h>
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <array>
#include <cstdlib>
#include <filesystem>
#include <sstream>

#include "bench/experiments.h"
#include "bench/figures.h"

namespace rqs::bench {
namespace {

namespace fs = std::filesystem;

struct Arguments {
    bool quick = false;
    std::string ours;
    std::string peer;
    int rounds = 0;
    std::string record_peer;
    double soak_minutes = 0;
    bool recording = false;
};

bool in_path(const std::string& name) {
    const char* path = std::getenv("PATH");
    std::istringstream directories{path == nullptr ? "" : path};
    std::string directory;
    while (std::getline(directories, directory, ':')) {
        directory += "/" + name;
        if (::access(directory.c_str(), X_OK) == 0) {
            return true;
        }
    }
    return false;
}

/// The last CPU that we may use: interrupts tend to prefer the first.
int last_cpu() {
    cpu_set_t set;
    CPU_ZERO(&set);
    ::sched_getaffinity(0, sizeof(set), &set);
    for (int cpu = CPU_SETSIZE - 1; cpu > 0; --cpu) {
        if (CPU_ISSET(static_cast<std::size_t>(cpu), &set)) {
            return cpu;
        }
    }
    return 0;
}

Plan make_plan(const Arguments& arguments) {
    Plan plan;
    plan.directory = fs::read_symlink("/proc/self/exe").parent_path().string();
    plan.ours = arguments.ours.empty() ? plan.program("runqslower") : arguments.ours;
    plan.peer = arguments.peer;
    plan.record_peer = arguments.record_peer;
    plan.has_perf = in_path("perf");
    plan.has_trace_cmd = in_path("trace-cmd");
    plan.cpu = last_cpu();
    if (arguments.quick) {
        plan.rounds = 2;
        plan.start_ups = 5;
        plan.window_s = 0.3;
        plan.loss_s = 2;
        plan.with_ring = false;
        plan.overload_rounds = 1;
        plan.record_rounds = 2;
        plan.all_overloads = false;
    }
    plan.soak_minutes = arguments.soak_minutes;
    if (arguments.rounds > 0) {
        plan.rounds = plan.record_rounds = arguments.rounds;
    }
    return plan;
}

Status check(const Plan& plan) {
    if (::geteuid() != 0) {
        return fail("the benchmark loads BPF programs and counts their time: run it as root");
    }
    for (const std::string* tool : {&plan.ours, &plan.peer}) {
        if (!tool->empty() && ::access(tool->c_str(), X_OK) != 0) {
            return usage_error(*tool + " cannot be run: build it first, or name another");
        }
    }
    return {};
}

template <typename T>
Status take(T& into, Result<T> result) {
    if (!result) {
        return tl::unexpected(result.error());
    }
    into = std::move(*result);
    return {};
}

Result<Figures> measure(const Plan& plan) {
    Figures figures;
    Status status = take(figures.variants, compare_variants(plan));
    status = status ? take(figures.starved, starve_reader(plan)) : status;
    status = status ? take(figures.fast, run_fast(plan)) : status;
    status = status ? take(figures.threads, compare_threads(plan)) : status;
    status = status ? take(figures.overloads, compare_overloads(plan)) : status;
    status = status ? take(figures.formats, measure_formats(plan)) : status;
    if (!status) {
        return tl::unexpected(status.error());
    }
    return figures;
}

/// Whether all of them hold.
bool print_claims(const std::vector<Claim>& claims) {
    bool all = true;
    for (const Claim& claim : claims) {
        fmt::print("{}  {}\n", claim.holds ? "PASS" : "FAIL", claim.text);
        all = all && claim.holds;
    }
    return all;
}

int report(const Error& error) {
    fmt::print(stderr, "rqs_bench: {}\n", error.message);
    return static_cast<int>(error.code);
}

int run_soak(const Plan& plan) {
    const auto figures = soak(plan);
    if (!figures) {
        return report(figures.error());
    }
    bool all = true;
    for (const SoakFigures& run : *figures) {
        all = print_claims(judge_soak(run)) && all;
    }
    return all ? 0 : 1;
}

/// Whether all that is claimed of recordings holds.
Result<bool> run_recording(const Plan& plan) {
    const auto figures = measure_recording(plan);
    if (!figures) {
        return tl::unexpected(figures.error());
    }
    fmt::print("{}\n", recording_tables(*figures));
    return print_claims(judge_recording(*figures));
}

Result<bool> run_all(const Plan& plan) {
    const auto figures = measure(plan);
    if (!figures) {
        return tl::unexpected(figures.error());
    }
    fmt::print("Medians of {} interleaved rounds, ping-pong on CPU {}.\n\n{}\n", plan.rounds,
               plan.cpu, tables(*figures));
    const bool held = print_claims(judge(*figures));
    fmt::print("\n");
    const auto recording = run_recording(plan);
    return recording ? Result<bool>(held && *recording) : tl::unexpected(recording.error());
}

int run(const Arguments& arguments) {
    const Plan plan = make_plan(arguments);
    Status status = check(plan);
    if (status && plan.soak_minutes > 0) {
        return run_soak(plan);
    }
    if (!status) {
        return report(status.error());
    }
    const auto held = arguments.recording ? run_recording(plan) : run_all(plan);
    return held ? (*held ? 0 : 1) : report(held.error());
}

}  // namespace
}  // namespace rqs::bench

int main(int argc, char** argv) {
    rqs::bench::Arguments arguments;
    CLI::App app{
        "what tracing costs, beside the alternatives; ends with 1 if a claim does not hold"};
    app.add_flag("--quick", arguments.quick, "two short rounds, under a minute");
    app.add_option("--rounds", arguments.rounds, "rounds of the comparison")
        ->check(CLI::PositiveNumber);
    app.add_option("--soak", arguments.soak_minutes,
                   "instead: bursts of overload for MINUTES (10), twice; is memory flat?")
        ->expected(0, 1)
        ->default_str("10")
        ->check(CLI::PositiveNumber);
    app.add_flag("--recording", arguments.recording, "only what concerns recordings");
    app.add_option("--record-peer", arguments.record_peer,
                   "another recorder to measure, its words with {} for its file (default: "
                   "$RECORD_PEER)")
        ->envname("RECORD_PEER");
    app.add_option("--ours", arguments.ours, "the runqslower to measure (default: beside this)");
    app.add_option("--peer", arguments.peer,
                   "another tool to measure, run without arguments (default: $PEER)")
        ->envname("PEER");
    try {
        app.parse(argc, argv);
    } catch (const CLI::ParseError& error) {
        return app.exit(error) == 0 ? 0 : 2;
    }
    return rqs::bench::run(arguments);
}
