// SPDX-License-Identifier: BSD-2-Clause
// Waits longer than the threshold are kept, all of them and no other; nothing vanishes uncounted.
#include <gtest/gtest.h>

#include <algorithm>
#include <csignal>
#include <cstdio>
#include <string>
#include <tuple>
#include <vector>

#include "situation.h"
#include "tracer.h"
#include "witness.h"
#include "workers.h"

namespace rqs::ktest {
namespace {

using Key = std::tuple<std::uint32_t, std::uint64_t>;  // tid, wait_ns

std::vector<Key> longer_than(const Output& output, std::uint64_t min_ns) {
    std::vector<Key> keys;
    for (const auto& wait : output.waits) {
        if (wait.wait_ns > min_ns) {
            keys.emplace_back(wait.tid, wait.wait_ns);
        }
    }
    std::sort(keys.begin(), keys.end());
    return keys;
}

/// `words` sets the threshold; a second tracer that keeps everything is the judge. Of `count` hogs
/// each waits for the slices of all others, which may be as short as 0.7 ms.
void expect_threshold(const Tracer::Words& words, std::uint64_t min_ns, std::size_t count) {
    Hogs hogs(count, 100_ms);
    const std::string pid = std::to_string(hogs.pid());
    Tracer::Words selective_words = words;
    for (const char* word : {"-f", "json", "-p", pid.c_str()}) {
        selective_words.emplace_back(word);
    }
    Tracer selective(selective_words);
    Tracer complete({"0", "-f", "json", "-p", pid});
    ASSERT_TRUE(selective.attached() && complete.attached()) << selective.stderr_text();
    hogs.start();
    ASSERT_TRUE(hogs.finished());
    const Output some = stop_and_check(selective);
    const Output all = stop_and_check(complete);

    ASSERT_EQ(all.lost, 0U);
    ASSERT_EQ(some.lost, 0U);
    const std::vector<Key> expected = longer_than(all, min_ns);
    EXPECT_FALSE(expected.empty()) << "no wait was that long: the situation failed";
    EXPECT_LT(expected.size(), all.waits.size());
    for (const auto& wait : some.waits) {
        EXPECT_GT(wait.wait_ns, min_ns);
    }
    EXPECT_EQ(longer_than(some, 0), expected);
    // They slept while the tracers came and went, so both saw the same.
    EXPECT_EQ(some.seen, all.seen);
    EXPECT_EQ(some.kept, expected.size());
    std::printf("    %zu of %zu waits are longer\n", expected.size(), all.waits.size());
}

TEST(Threshold, KeepsWhatIsLonger) {
    expect_threshold({"5000"}, 5'000'000, 12);
}

TEST(Threshold, DefaultsToTenMilliseconds) {
    expect_threshold({}, 10'000'000, 16);
}

// A reader that is stopped for a while: what does not fit is counted, and the rest is whole.
TEST(ThresholdLoss, SeenIsKeptAndLost) {
    Shared<Gate> gate;
    Sleepers sleepers({"rqs-loss-a", "rqs-loss-b", "rqs-loss-c", "rqs-loss-d"}, nullptr, &*gate);
    const std::string pid = std::to_string(sleepers.pid());
    Tracer tracer({"0", "-f", "json", "--buffer", "64k", "-p", pid});
    ASSERT_TRUE(tracer.attached()) << tracer.stderr_text();
    gate->open();
    sleep_ns(100_ms);
    tracer.send(SIGSTOP);
    const auto woken = [&] { return account_of(sleepers.pid(), sleepers.tid(0)).waits; };
    // A ring of 64 KiB holds some 340 waits of a CPU.
    const std::uint64_t before = woken();
    EXPECT_TRUE(wait_for([&] { return woken() > before + 1000; }));
    tracer.send(SIGCONT);
    sleep_ns(100_ms);
    sleepers.stop();
    const Output output = stop_and_check(tracer);
    EXPECT_GT(output.lost, 0U);
    EXPECT_GT(output.kept, 0U);
    EXPECT_EQ(output.seen, output.kept + output.lost);
    EXPECT_EQ(output.waits.size(), output.kept);
    std::printf(
        "    seen %llu = kept %llu + lost %llu\n", static_cast<unsigned long long>(output.seen),
        static_cast<unsigned long long>(output.kept), static_cast<unsigned long long>(output.lost));
}

// What the tool has seen is what the kernel has counted, whatever became of it.
TEST(ThresholdLoss, SeenIsWhatTheKernelCounts) {
    Hogs hogs(4, 100_ms);
    Witness witness;
    const std::uint64_t before = hogs.waits();
    const std::uint64_t begin_ns = now_ns();
    Tracer tracer({"0", "-f", "json", "-p", std::to_string(hogs.pid())});
    ASSERT_TRUE(tracer.attached()) << tracer.stderr_text();
    hogs.start();
    ASSERT_TRUE(hogs.finished());
    const std::uint64_t counted = hogs.waits() - before;
    const std::uint64_t end_ns = now_ns();
    const Output output = stop_and_check(tracer);
    witness.stop();
    std::uint64_t unstamped = 0;
    for (const auto& wait : output.waits) {
        unstamped += wait.stamped ? 0U : 1U;
    }
    // Where the kernel does not announce every switch it counts more.
    Witness::Count hidden;
    for (const pid_t tid : hogs.tids()) {
        const auto count = witness.unannounced(tid, begin_ns, end_ns);
        hidden.least += count.least;
        hidden.most += count.most;
    }
    EXPECT_LE(output.seen - unstamped + hidden.least, counted);
    EXPECT_GE(output.seen - unstamped + hidden.most, counted);
}

}  // namespace
}  // namespace rqs::ktest
