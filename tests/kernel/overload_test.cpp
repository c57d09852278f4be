// SPDX-License-Identifier: BSD-2-Clause
// A tracer of waits is needed most where far more tasks want a CPU than there are CPUs. Nothing may
// be lost there with default settings, and memory has bounds that do not depend on the load. What
// is lost all the same, because someone made the rings tiny, is said while it happens and stands in
// everything that is printed.
#include <gtest/gtest.h>
#include <sched.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <csignal>
#include <cstdio>
#include <memory>
#include <nlohmann/json.hpp>
#include <sstream>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include "bench/loads/overload.h"
#include "situation.h"
#include "tracer.h"

namespace rqs::ktest {
namespace {

using Json = nlohmann::json;

constexpr std::uint64_t mib = 1 << 20;
constexpr auto load_limit = std::chrono::seconds{120};
constexpr std::uint64_t run_ns = 3'000'000'000;

std::unique_ptr<loads::Crowd> overload(std::string_view kind, std::uint32_t tasks) {
    auto crowd = loads::start_overload(kind, times(tasks), load_limit);
    if (!crowd) {
        ADD_FAILURE() << crowd.error().message;
        return nullptr;
    }
    return std::move(*crowd);
}

/// The number behind `key` in a line of `text`, in KiB there; bytes here.
std::uint64_t kib_after(const std::string& text, std::string_view key) {
    const std::size_t at = text.find(key);
    return at == std::string::npos ? 0 : std::stoull(text.substr(at + key.size())) * 1024;
}

/// Resident bytes of the rings, which are maps that the tracer has mapped.
std::uint64_t ring_bytes(const std::string& smaps) {
    std::uint64_t bytes = 0;
    for (std::size_t at = smaps.find("anon_inode:bpf-map"); at != std::string::npos;
         at = smaps.find("anon_inode:bpf-map", at + 1)) {
        bytes += kib_after(smaps.substr(at, 512), "\nRss:");
    }
    return bytes;
}

/// Peak resident bytes of a process beside its rings.
std::uint64_t peak_bytes(pid_t pid) {
    const std::string folder = "/proc/" + std::to_string(pid);
    const std::uint64_t peak = kib_after(read_file(folder + "/status"), "VmHWM:");
    const std::uint64_t rings = ring_bytes(read_file(folder + "/smaps"));
    return peak > rings ? peak - rings : 0;
}

/// What a run said at its end.
struct Ending {
    std::uint64_t seen = 0;
    std::uint64_t kept = 0;
    std::uint64_t lost = 0;
    std::uint64_t left_out = 0;  ///< the tracer's own waits
    bool found = false;
};

/// `N waits in S s, K kept, L lost` on stderr.
Ending ending_of_text(const std::vector<Line>& errors) {
    Ending ending;
    for (const Line& line : errors) {
        unsigned long long seen = 0;
        unsigned long long kept = 0;
        unsigned long long lost = 0;
        // NOLINTNEXTLINE(cert-err34-c): the tool printed them as numbers
        if (std::sscanf(line.text.c_str(), "%llu waits in %*f s, %llu kept, %llu lost", &seen,
                        &kept, &lost) == 3) {
            ending = {seen, kept, lost, 0, true};
        }
    }
    return ending;
}

/// All records of a type in the JSON stream.
std::vector<Json> records(Tracer& tracer, const std::string& type) {
    std::vector<Json> found;
    for (const Line& line : tracer.lines()) {
        const Json json = Json::parse(line.text, nullptr, false);
        if (json.is_object() && json.value("type", "") == type) {
            found.push_back(json);
        }
    }
    return found;
}

Ending ending_of(Tracer& tracer) {
    const std::vector<Json> summaries = records(tracer, "summary");
    if (summaries.empty()) {
        return ending_of_text(tracer.stderr_lines());
    }
    const Json& json = summaries.back();
    return {json.value("seen", std::uint64_t{0}), json.value("kept", std::uint64_t{0}),
            json.value("lost", std::uint64_t{0}), json.value("left_out", std::uint64_t{0}), true};
}

/// A run of the tracer under an overload.
struct Case {
    const char* name;
    const char* kind;  ///< of the overload
    std::uint32_t tasks;
    Tracer::Words options;
    std::uint64_t peak_bound;
    bool prints_waits = true;
};

std::ostream& operator<<(std::ostream& out, const Case& which) {
    return out << which.name;
}

/// The longest time for which no CPU time was to be had by anybody: threads of a high priority, one
/// for each CPU, that wake up every few milliseconds. While a hypervisor runs a CPU too late, so
/// does the reader of the rings.
class Standstill {
  public:
    Standstill() {
        const int cpus = static_cast<int>(std::thread::hardware_concurrency());
        threads_.reserve(static_cast<std::size_t>(cpus));
        for (int cpu = 0; cpu < cpus; ++cpu) {
            threads_.emplace_back([this, cpu] { watch(cpu); });
        }
    }
    Standstill(const Standstill&) = delete;
    Standstill& operator=(const Standstill&) = delete;
    ~Standstill() { end_ns(); }

    /// Ends watching; the longest that there was.
    std::uint64_t end_ns() {
        over_ = true;
        for (auto& thread : threads_) {
            thread.join();
        }
        threads_.clear();
        return longest_ns_;
    }

  private:
    void watch(int cpu) {
        constexpr int above_the_reader = 80;
        pin(cpu);
        set_policy(SCHED_FIFO, above_the_reader);
        std::uint64_t last_ns = now_ns();
        while (!over_) {
            sleep_ns(5_ms);
            const std::uint64_t woke_ns = now_ns();
            std::uint64_t longest_ns = longest_ns_;
            while (woke_ns - last_ns > longest_ns &&
                   !longest_ns_.compare_exchange_weak(longest_ns, woke_ns - last_ns)) {
            }
            last_ns = woke_ns;
        }
    }

    std::atomic<bool> over_{false};
    std::atomic<std::uint64_t> longest_ns_{0};
    std::vector<std::thread> threads_;
};

/// What a run under an overload came to.
struct Outcome {
    Ending ending;
    std::uint64_t peak = 0;
    std::uint64_t lines = 0;  ///< waits that were printed
    std::uint64_t standstill_ns = 0;
};

class Overload : public ::testing::TestWithParam<Case> {
  protected:
    static void run(const Case& which, Outcome& outcome) {
        auto crowd = overload(which.kind, which.tasks);
        ASSERT_NE(crowd, nullptr);
        Tracer tracer(which.options, Run::plain_counted);
        ASSERT_TRUE(tracer.attached()) << tracer.stderr_text();
        Standstill standstill;
        crowd->go();
        sleep_ns(run_ns);
        outcome.peak = peak_bytes(tracer.pid());
        tracer.send(SIGINT);
        crowd.reset();
        EXPECT_EQ(tracer.join(), 0) << tracer.stderr_text();
        outcome.standstill_ns = standstill.end_ns();
        outcome.ending = ending_of(tracer);
        ASSERT_TRUE(outcome.ending.found) << tracer.stderr_text();
        outcome.lines = tracer.counted_waits();
    }
};

TEST_P(Overload, LosesNothingAndStaysSmall) {
    // The rings hold what comes in so much time at the least; a machine that stands still for
    // longer shows nothing about the tool.
    constexpr std::uint64_t longest_standstill = 100_ms;
    constexpr int attempts = 3;
    const Case& which = GetParam();
    Outcome outcome;
    for (int attempt = 1; attempt <= attempts; ++attempt) {
        outcome = {};
        ASSERT_NO_FATAL_FAILURE(run(which, outcome));
        if (outcome.ending.lost == 0 || outcome.standstill_ns < longest_standstill) {
            break;
        }
        std::printf("    the machine stood still for %llu ms, and %llu waits were lost: again\n",
                    static_cast<unsigned long long>(outcome.standstill_ns / 1'000'000),
                    static_cast<unsigned long long>(outcome.ending.lost));
    }
    const Ending& ending = outcome.ending;
    EXPECT_EQ(ending.lost, 0U) << "of " << ending.seen << " waits, " << ending.kept
                               << " kept; the machine stood still for at most "
                               << outcome.standstill_ns << " ns";
    EXPECT_GT(ending.kept, 0U) << "there was no overload";
    EXPECT_GE(ending.seen, ending.kept + ending.lost + ending.left_out);
    if (which.options.front() == "0") {
        EXPECT_EQ(ending.seen, ending.kept + ending.lost + ending.left_out);
    }
    if (which.prints_waits) {
        EXPECT_EQ(outcome.lines, ending.kept);
    }
    EXPECT_GT(outcome.peak, 0U);
    EXPECT_LE(outcome.peak, which.peak_bound) << "MiB: " << outcome.peak / mib;
    RecordProperty("peak_kib", std::to_string(outcome.peak / 1024));
    RecordProperty("standstill_us", std::to_string(outcome.standstill_ns / 1000));
}

std::vector<Case> make_cases() {
    const Tracer::Words text{"10000"};
    const Tracer::Words json{"10000", "-f", "json"};
    const Tracer::Words summary{"10000", "-s"};
    return {
        {"Text600", "messaging", 600, text, 16 * mib},
        {"Json600", "messaging-threads", 600, json, 64 * mib},
        {"Summary600", "messaging-threads", 600, summary, 64 * mib, false},
        {"EveryWait600", "messaging-threads", 600, {"0", "-f", "json"}, 64 * mib},
        {"EveryWaitOfPairs600", "pairs", 600, {"0", "-f", "json"}, 64 * mib},
        {"Pairs600", "pairs", 600, text, 16 * mib},
        {"Text1600", "messaging-threads", 1600, text, 16 * mib},
        {"Json1600", "messaging-threads", 1600, json, 64 * mib},
        {"Summary1600", "messaging-threads", 1600, summary, 64 * mib, false},
        {"Text5000", "messaging-threads", 5000, text, 16 * mib},
        {"Json5000", "messaging-threads", 5000, json, 64 * mib},
        {"Summary5000", "messaging-threads", 5000, summary, 64 * mib, false},
    };
}

INSTANTIATE_TEST_SUITE_P(Runs, Overload, ::testing::ValuesIn(make_cases()),
                         [](const auto& row) { return std::string(row.param.name); });

// Hundreds of switches fall into a wait here, more than a short history holds.
TEST(OverloadMix, ExplainsAllButTwoPercent) {
    // A CPU's last 32,768 switches are remembered (docs/LEDGER.md). Kernel threads that this load
    // starves for seconds wait for longer than that; their beginning is unknown by design.
    constexpr std::uint64_t longest_remembered_ns = 500'000'000;
    auto crowd = overload("mix", 0);
    ASSERT_NE(crowd, nullptr);
    Tracer tracer({"1000", "-f", "json"}, Run::plain);
    ASSERT_TRUE(tracer.attached()) << tracer.stderr_text();
    crowd->go();
    sleep_ns(run_ns);
    tracer.send(SIGINT);
    crowd.reset();
    ASSERT_EQ(tracer.join(), 0) << tracer.stderr_text();
    std::uint64_t wait_ns = 0;
    std::uint64_t unknown_ns = 0;
    std::uint64_t worst_ns = 0;
    std::string worst;
    for (const Json& wait : records(tracer, "wait")) {
        if (wait.at("wait_ns") > longest_remembered_ns) {
            continue;
        }
        wait_ns += wait.at("wait_ns").get<std::uint64_t>();
        for (const Json& part : wait.at("why")) {
            const bool unknown = part.at("kind") == "unknown";
            const auto ns = unknown ? part.at("ns").get<std::uint64_t>() : 0;
            unknown_ns += ns;
            if (ns > worst_ns) {
                worst_ns = ns;
                worst = wait.dump();
            }
        }
    }
    ASSERT_GT(wait_ns, run_ns / 10) << "there was no overload";
    EXPECT_LT(unknown_ns * 50, wait_ns)
        << static_cast<double>(unknown_ns) * 100 / static_cast<double>(wait_ns)
        << " % unknown, most of it in " << worst;
}

/// A tracer whose tiny rings overflow: it is stopped for a while in the middle of a load that never
/// ends, and goes on for a few seconds.
class OverloadLoss : public ::testing::Test {
  protected:
    int run(const Tracer::Words& more) {
        Tracer::Words words{"0", "--buffer", "4k"};
        words.insert(words.end(), more.begin(), more.end());
        auto crowd = overload("pairs", 40);
        if (crowd == nullptr) {
            return -1;
        }
        tracer_ = std::make_unique<Tracer>(words, Run::plain_counted);
        EXPECT_TRUE(tracer_->attached()) << tracer_->stderr_text();
        crowd->go();
        sleep_ns(500_ms);
        tracer_->send(SIGSTOP);
        sleep_ns(1000_ms);
        tracer_->send(SIGCONT);
        sleep_ns(2500_ms);
        said_while_running_ = loss_lines();
        tracer_->send(SIGINT);
        crowd.reset();
        return tracer_->join();
    }

    /// What was said about losses on stderr, the closing line aside.
    std::vector<Line> loss_lines() {
        std::vector<Line> found;
        for (const Line& line : tracer_->stderr_lines()) {
            if (line.text.find("lost") != std::string::npos &&
                line.text.find(" kept, ") == std::string::npos) {
                found.push_back(line);
            }
        }
        return found;
    }

    std::unique_ptr<Tracer> tracer_;
    std::vector<Line> said_while_running_;
};

TEST_F(OverloadLoss, IsSaidWhenItHappensAndAtMostOnceASecond) {
    EXPECT_EQ(run({}), 0);
    ASSERT_GT(ending_of(*tracer_).lost, 0U) << "the rings did not overflow";
    ASSERT_FALSE(said_while_running_.empty()) << tracer_->stderr_text();
    for (std::size_t i = 0; i < said_while_running_.size(); ++i) {
        const Line& line = said_while_running_[i];
        EXPECT_NE(line.text.find("--buffer"), std::string::npos) << "no advice: " << line.text;
        // Lines are read a little late, never early: so much may be missing from a second.
        const std::uint64_t least_ns = 800_ms;
        EXPECT_TRUE(i == 0 || line.came_ns - said_while_running_[i - 1].came_ns >= least_ns)
            << tracer_->stderr_text();
    }
}

TEST_F(OverloadLoss, IsARecordOfTheJsonStream) {
    EXPECT_EQ(run({"-f", "json"}), 0);
    const Ending ending = ending_of(*tracer_);
    ASSERT_GT(ending.lost, 0U) << "the rings did not overflow";
    const std::vector<Json> losses = records(*tracer_, "loss");
    ASSERT_FALSE(losses.empty());
    std::uint64_t lost = 0;
    for (const Json& loss : losses) {
        ASSERT_TRUE(loss.contains("cpu") && loss.contains("from_ns") && loss.contains("to_ns") &&
                    loss.contains("lost"))
            << loss;
        EXPECT_LE(loss["from_ns"].get<std::uint64_t>(), loss["to_ns"].get<std::uint64_t>()) << loss;
        EXPECT_GT(loss["lost"].get<std::uint64_t>(), 0U) << loss;
        lost += loss["lost"].get<std::uint64_t>();
    }
    EXPECT_EQ(lost, ending.lost) << "the records do not add up to the summary";
    EXPECT_EQ(tracer_->counted_waits(), ending.kept);
    EXPECT_EQ(ending.seen, ending.kept + ending.lost + ending.left_out);
}

TEST_F(OverloadLoss, StandsInTheReport) {
    EXPECT_EQ(run({"-s", "-f", "json"}), 0);
    const std::vector<Json> reports = records(*tracer_, "report");
    ASSERT_FALSE(reports.empty());
    ASSERT_TRUE(reports.back().contains("lost")) << reports.back();
    EXPECT_GT(reports.back()["lost"].get<std::uint64_t>(), 0U);
    EXPECT_FALSE(said_while_running_.empty()) << tracer_->stderr_text();
}

TEST_F(OverloadLoss, IsAFailureIfStrict) {
    EXPECT_EQ(run({"--strict"}), 3) << tracer_->stderr_text();
}

TEST(OverloadStrict, SucceedsWhereNothingIsLost) {
    Tracer tracer({"1000000000", "--strict"}, Run::plain);
    ASSERT_TRUE(tracer.attached()) << tracer.stderr_text();
    EXPECT_EQ(tracer.stop(), 0) << tracer.stderr_text();
}

}  // namespace
}  // namespace rqs::ktest
