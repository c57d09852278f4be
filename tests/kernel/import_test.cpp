// SPDX-License-Identifier: BSD-2-Clause
// What perf and trace-cmd recorded, imported, beside what perf says of it, and beside our own
// recording of the same time.
#include <gtest/gtest.h>
#include <unistd.h>

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <map>
#include <nlohmann/json.hpp>
#include <optional>
#include <sstream>
#include <string>
#include <utility>
#include <vector>

#include "harness/program.h"
#include "situation.h"
#include "tracer.h"

namespace rqs::ktest {
namespace {

namespace fs = std::filesystem;
using Json = nlohmann::json;
using Words = Tracer::Words;

std::string binary() {
    const char* path = std::getenv("RQS_BINARY");
    return path != nullptr ? path : RQS_DEFAULT_BINARY;
}

class Imports : public ::testing::Test {
  public:
    /// Waits of a recording by thread and end, in microseconds.
    struct Wait {
        double us = 0;
        bool preempted = false;
    };
    using Waits = std::map<std::pair<std::uint32_t, std::int64_t>, Wait>;

  protected:
    Imports() { fs::create_directory(folder_); }
    ~Imports() override { fs::remove_all(folder_); }

    [[nodiscard]] std::string path(const std::string& name) const { return folder_ + "/" + name; }

    static harness::Outcome ours(Words words) {
        words.insert(words.begin(), binary());
        return harness::run(words);
    }
    /// Processes that work and sleep in turn, more of them than CPUs.
    static std::vector<Process> workers() {
        std::vector<Process> all;
        for (int i = 0; i < 8; ++i) {
            all.emplace_back([] {
                set_name("import-load");
                for (;;) {
                    burn_ns(400'000);
                    sleep_ns(500'000);
                }
            });
        }
        return all;
    }
    static Waits waits_of(const std::string& recording, const Words& options = {}) {
        Words words{"report", recording, "--events", "-f", "json"};
        words.insert(words.end(), options.begin(), options.end());
        const auto outcome = ours(words);
        EXPECT_EQ(outcome.code, 0) << outcome.err;
        Waits waits;
        std::istringstream lines(outcome.out);
        for (std::string line; std::getline(lines, line);) {
            const Json json = Json::parse(line);
            if (json.value("type", "") == "wait") {
                waits[{json.value("tid", 0U), json.value("ts_ns", std::int64_t{0}) / 1000}] = {
                    json.value("wait_ns", 0.0) / 1000, json.value("kind", "") == "preempted"};
            }
        }
        return waits;
    }
    std::string folder_ = temporary_path("imported");
};

/// A line of `perf sched timehist`: a run, with what came before it.
struct Run {
    std::uint32_t tid = 0;
    std::int64_t start_us = 0;
    double before_us = 0;  // off the CPU
    double delay_us = 0;   // from wakeup to switch-in
};

std::optional<Run> run_of(const std::string& line) {
    // `  123.456789 [0001]  name[tid/pid]    before  delay  run`: a name may have spaces.
    const std::size_t name_end = line.rfind(']');
    const std::size_t name_begin = line.rfind('[', name_end);
    double out_s = 0;
    double before_ms = 0;
    double delay_ms = 0;
    double run_ms = 0;
    Run run;
    if (name_end == std::string::npos || name_begin == std::string::npos ||
        std::sscanf(line.c_str(), "%lf", &out_s) != 1 ||
        std::sscanf(line.c_str() + name_begin, "[%u", &run.tid) != 1 ||
        std::sscanf(line.c_str() + name_end + 1, "%lf %lf %lf", &before_ms, &delay_ms, &run_ms) !=
            3) {
        return std::nullopt;
    }
    run.start_us = std::llround(out_s * 1e6 - run_ms * 1e3);
    run.before_us = before_ms * 1e3;
    run.delay_us = delay_ms * 1e3;
    return run;
}

std::size_t number_behind(const std::string& text, const std::string& words) {
    const std::size_t at = text.find(words);
    return at == std::string::npos ? 0
                                   : std::strtoull(text.c_str() + at + words.size(), nullptr, 10);
}

TEST_F(Imports, AreWhatPerfSaysOfTheSameFile) {
    if (harness::run({"perf", "--version"}).code != 0) {
        GTEST_SKIP() << "there is no perf (linux-perf)";
    }
    auto load = workers();
    const auto recorded = harness::run(
        {"perf", "sched", "record", "-m", "4096", "-o", path("perf.data"), "sleep", "2"});
    load.clear();
    if (recorded.code != 0) {
        GTEST_SKIP() << "perf cannot record here: " << recorded.err;
    }
    const auto imported = ours({"import", path("perf.data"), "-o", path("perf.rec")});
    ASSERT_EQ(imported.code, 0) << imported.err;
    const auto timehist = harness::run({"perf", "sched", "timehist", "-i", path("perf.data")});
    ASSERT_EQ(timehist.code, 0) << timehist.err;

    const Waits waits = waits_of(path("perf.rec"));
    // Some kernels hide the switches of some tasks. While those are busy many others seem to come
    // twice without having left; timehist guesses there, and import does not.
    const std::size_t unknown = number_behind(imported.err, "; of ");
    if (unknown * 100 > waits.size()) {
        GTEST_SKIP() << "too many switches are hidden here to compare with timehist: "
                     << imported.err;
    }
    std::size_t same = 0;
    std::size_t missing = 0;
    std::istringstream lines(timehist.out);
    for (std::string line; std::getline(lines, line);) {
        const auto run = run_of(line);
        if (!run) {
            continue;
        }
        auto found = waits.end();
        for (const int near : {0, -1, 1, -2, 2}) {  // both of its numbers are rounded
            found = found == waits.end() ? waits.find({run->tid, run->start_us + near}) : found;
        }
        if (found == waits.end()) {
            missing += run->delay_us > 0 ? 1U : 0U;
            continue;
        }
        const double perfs = found->second.preempted ? run->before_us : run->delay_us;
        EXPECT_LE(std::abs(found->second.us - perfs), 1.5) << line;
        ++same;
    }
    std::printf("    %zu waits are those of perf sched timehist, %zu are not there\n", same,
                missing);
    EXPECT_GT(same, 200U);
    // Where perf has lost a switch without a word, it takes the next one for its end.
    EXPECT_LE(missing * 50, same);
}

/// Waits of the load in one recording that have their like in another: the same thread, switched in
/// at the same time.
struct Agreement {
    std::size_t waits = 0;
    std::size_t both = 0;
    double sum_us = 0;  // of those that are in both
    double other_sum_us = 0;
    double median_difference_us = 0;
};

Agreement agreement(const Imports::Waits& waits, const Imports::Waits& others) {
    // The moment of a switch is when it is traced, or the runqueue's clock: not the same instant.
    constexpr std::int64_t near_us = 100;
    Agreement agreement;
    std::vector<double> differences;
    for (const auto& [key, wait] : waits) {
        ++agreement.waits;
        const auto first = others.lower_bound({key.first, key.second - near_us});
        if (first == others.end() || first->first.first != key.first ||
            first->first.second > key.second + near_us) {
            continue;
        }
        ++agreement.both;
        agreement.sum_us += wait.us;
        agreement.other_sum_us += first->second.us;
        differences.push_back(std::abs(wait.us - first->second.us));
    }
    if (!differences.empty()) {
        const auto middle =
            differences.begin() + static_cast<std::ptrdiff_t>(differences.size() / 2);
        std::nth_element(differences.begin(), middle, differences.end());
        agreement.median_difference_us = *middle;
    }
    return agreement;
}

// perf and trace-cmd are told to use the clock that we use. Their waits begin where sched_waking or
// sched_wakeup was traced, ours where the kernel queued the task, some microseconds beside that.
void expect_agreement(const char* what, const Imports::Waits& theirs, const Imports::Waits& ours) {
    const Agreement found = agreement(theirs, ours);
    std::printf(
        "    %s: %zu of %zu waits are in our recording; %.1f ms there, %.1f ms in ours; "
        "half differ by less than %.1f us\n",
        what, found.both, found.waits, found.sum_us / 1e3, found.other_sum_us / 1e3,
        found.median_difference_us);
    EXPECT_GT(found.waits, 100U);
    EXPECT_GE(found.both * 100, found.waits * 95);
    EXPECT_NEAR(found.sum_us / found.other_sum_us, 1, 0.05);
    const double mean_us =
        found.other_sum_us / static_cast<double>(std::max<std::size_t>(found.both, 1));
    EXPECT_LT(found.median_difference_us, mean_us * 0.05);
}

TEST_F(Imports, OfOneTimeAgreeWithEachOther) {
    if (harness::run({"perf", "--version"}).code != 0) {
        GTEST_SKIP() << "there is no perf (linux-perf)";
    }
    // Asked for its version it tells it, and ends with 255.
    const bool has_trace_cmd = !harness::run({"trace-cmd", "--version"}).out.empty();
    auto load = workers();
    Tracer tracer({"record", "-o", path("own.rec")});
    ASSERT_TRUE(tracer.attached()) << tracer.stderr_text();
    // For as long as the other one records, and longer.
    harness::Program perf({"perf", "sched", "record", "-k", "CLOCK_MONOTONIC", "-m", "4096", "-o",
                           path("perf.data"), "sleep", "4"});
    std::optional<harness::Outcome> traced;
    if (has_trace_cmd) {
        traced = harness::run({"trace-cmd", "record", "-q", "-C", "mono", "-e", "sched_switch",
                               "-e", "sched_wakeup", "-e", "sched_wakeup_new", "-e",
                               "sched_migrate_task", "-o", path("trace.dat"), "sleep", "1"});
    }
    const int recorded = perf.finish();
    EXPECT_EQ(tracer.stop(), 0) << tracer.stderr_text();
    load.clear();
    if (recorded != 0) {
        GTEST_SKIP() << "perf cannot record here: " << perf.err;
    }
    const Words load_only{"-c", "import-load"};
    const Waits own = waits_of(path("own.rec"), load_only);
    ASSERT_EQ(ours({"import", path("perf.data"), "-o", path("perf.rec")}).code, 0);
    const Waits perfs = waits_of(path("perf.rec"), load_only);
    expect_agreement("perf", perfs, own);
    if (!traced || traced->code != 0) {
        std::printf("    trace-cmd cannot record here, and is not compared: %s\n",
                    traced ? traced->err.c_str() : "it is not installed");
        return;
    }
    ASSERT_EQ(ours({"import", path("trace.dat"), "-o", path("trace.rec")}).code, 0);
    const Waits traces = waits_of(path("trace.rec"), load_only);
    expect_agreement("trace-cmd", traces, own);
    const Agreement between = agreement(traces, perfs);
    std::printf("    %zu of %zu waits of trace-cmd are in perf's recording\n", between.both,
                between.waits);
    EXPECT_NEAR(between.sum_us / between.other_sum_us, 1, 0.05);
}

}  // namespace
}  // namespace rqs::ktest
