// SPDX-License-Identifier: BSD-2-Clause
// rqs_classic [min_us]: the classic method as a whole tool, with the classic lines on stdout.
#include <fcntl.h>
#include <fmt/format.h>

#include <charconv>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <ctime>
#include <string_view>

#include "bench/classic.h"
#include "bench/exit_signals.h"
#include "bpfkit/handles.h"
#include "classic.skel.h"
#include "util/safe_text.h"

static_assert(sizeof(classic_event) == 48, "the layout that the BPF program writes");

namespace rqs::bench {
namespace {

constexpr std::size_t buffer_pages = 64;  // per CPU, what such tools use

struct Printer {
    std::uint64_t kept = 0;
    std::uint64_t lost = 0;
    std::string line;
};

void on_event(void* context, int /*cpu*/, void* data, __u32 size) {
    auto& printer = *static_cast<Printer*>(context);
    if (size < sizeof(classic_event)) {
        return;
    }
    const auto& event = *static_cast<const classic_event*>(data);
    const std::time_t now = std::time(nullptr);
    std::tm local{};
    ::localtime_r(&now, &local);
    const std::string_view comm{std::begin(event.comm)};
    ++printer.kept;
    printer.line.clear();
    fmt::format_to(std::back_inserter(printer.line), "{:02}:{:02}:{:02} {:<16} {:<6} {:>14}\n",
                   local.tm_hour, local.tm_min, local.tm_sec, util::printable(comm), event.tid,
                   event.wait_ns / 1000);
    std::fwrite(printer.line.data(), 1, printer.line.size(), stdout);
}

void on_lost(void* context, int /*cpu*/, __u64 count) {
    static_cast<Printer*>(context)->lost += count;
}

Result<std::uint64_t> parse_min_us(std::string_view word) {
    std::uint64_t value = 0;
    const auto [end, error] = std::from_chars(word.data(), word.data() + word.size(), value);
    if (error != std::errc{} || end != word.data() + word.size()) {
        return usage_error("usage: rqs_classic [min_us]");
    }
    return value;
}

/// Loads, attaches, prints until a signal comes.
Status trace(std::uint64_t min_us) {
    bpfkit::install_log(false);
    bpfkit::lift_memlock_limit();
    const std::unique_ptr<classic_bpf, bpfkit::Deleter<classic_bpf__destroy>> skeleton{
        classic_bpf__open()};
    if (!skeleton) {
        return fail("cannot open the classic program: " + bpfkit::describe(-errno));
    }
    skeleton->rodata->min_ns = min_us * 1000;
    if (const int error = classic_bpf__load(skeleton.get()); error != 0) {
        return fail("cannot load the classic program: " + bpfkit::describe(error));
    }
    if (const int error = classic_bpf__attach(skeleton.get()); error != 0) {
        return fail("cannot attach the classic program: " + bpfkit::describe(error));
    }
    Printer printer;
    const bpfkit::PerfBufferPtr buffer{perf_buffer__new(
        bpf_map__fd(skeleton->maps.events), buffer_pages, on_event, on_lost, &printer, nullptr)};
    if (!buffer) {
        return fail("cannot open the perf buffer: " + bpfkit::describe(-errno));
    }
    fmt::print("Tracing run queue latency higher than {} us\n{:<8} {:<16} {:<6} {:>14}\n", min_us,
               "TIME", "COMM", "TID", "LAT(us)");
    std::fflush(stdout);
    while (!exit_requested()) {
        const int error = perf_buffer__poll(buffer.get(), 100);
        if (error < 0 && error != -EINTR) {
            return fail("cannot read the perf buffer: " + bpfkit::describe(error));
        }
    }
    fmt::print(stderr, "kept {} lost {}\n", printer.kept, printer.lost);
    return {};
}

int run(int argc, char** argv) {
    std::uint64_t min_us = 10000;
    if (argc > 1) {
        const auto parsed = parse_min_us(argv[1]);
        if (!parsed) {
            fmt::print(stderr, "rqs_classic: {}\n", parsed.error().message);
            return static_cast<int>(parsed.error().code);
        }
        min_us = *parsed;
    }
    catch_exit_signals();
    if (const Status status = trace(min_us); !status) {
        fmt::print(stderr, "rqs_classic: {}\n", status.error().message);
        return static_cast<int>(status.error().code);
    }
    return 0;
}

}  // namespace
}  // namespace rqs::bench

int main(int argc, char** argv) {
    return rqs::bench::run(argc, argv);
}
