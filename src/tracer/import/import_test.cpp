// SPDX-License-Identifier: BSD-2-Clause
// The same few switches in each format, as tests/fuzz/make_import_corpus.py tells them.
#include <gtest/gtest.h>

#include <cstdio>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>
#include <vector>

#include "import/open_foreign.h"
#include "import/switch_builder.h"
#include "util/folder_for_test.h"

namespace rqs::import {
namespace {

class Kept final : public RecordHandler {
  public:
    void on_switch(const Switch& record) override { switches.push_back(record); }
    void on_loss(const Loss& loss) override { losses.push_back(loss); }
    void on_process(const ProcessInfo& info) override { processes.push_back(info); }

    [[nodiscard]] std::vector<Arrival> arrivals() const {
        std::vector<Arrival> all;
        for (const Switch& each : switches) {
            if (each.came) {
                all.push_back(*each.came);
            }
        }
        return all;
    }

    std::vector<Switch> switches;
    std::vector<Loss> losses;
    std::vector<ProcessInfo> processes;
};

std::string seed(const std::string& name) {
    return RQS_FUZZ_CORPUS_DIR "/import/" + name;
}

std::string bytes_of(const std::string& path) {
    std::ifstream file(path, std::ios::binary);
    return {std::istreambuf_iterator<char>(file), {}};
}

/// Reads a file to its end; how it went is its damage.
std::vector<std::string> read_all(ForeignFile& file, RecordHandler& handler) {
    SwitchBuilder builder(handler, file.info().cpus == 0 ? 8 : file.info().cpus);
    while (true) {
        const auto more = file.read_some(builder);
        if (!more) {
            return {more.error().message};
        }
        if (!*more) {
            return file.damage();
        }
    }
}

class Imported : public ::testing::TestWithParam<const char*> {};

TEST_P(Imported, HasTheWaitsThatTheFileTells) {
    auto file = open_foreign(seed(GetParam()));
    ASSERT_TRUE(file) << file.error().message;
    Kept kept;
    EXPECT_EQ(read_all(**file, kept), std::vector<std::string>());
    ASSERT_EQ(kept.switches.size(), 6U);

    const auto arrivals = kept.arrivals();
    ASSERT_EQ(arrivals.size(), 3U) << "since when the first one waited is not in the file";
    EXPECT_EQ(arrivals[0].task.tid, 20U);
    EXPECT_EQ(arrivals[0].ts_ns, 3000U);
    EXPECT_EQ(arrivals[0].here_ns, 900U);
    EXPECT_EQ(arrivals[0].elsewhere_ns, 0U);
    EXPECT_EQ(arrivals[0].kind, WaitKind::woken);
    ASSERT_TRUE(arrivals[0].waker);
    EXPECT_EQ(arrivals[0].waker->task.tid, 11U);
    EXPECT_FALSE(arrivals[0].waker->interrupt);
    EXPECT_FALSE(arrivals[0].stamped);
    EXPECT_EQ(arrivals[0].policy, Policy::unknown);

    EXPECT_EQ(arrivals[1].task.tid, 11U);
    EXPECT_EQ(arrivals[1].here_ns, 500U);
    EXPECT_EQ(arrivals[1].elsewhere_ns, 500U);
    EXPECT_EQ(arrivals[1].kind, WaitKind::preempted);

    EXPECT_EQ(arrivals[2].ts_ns, 6500U);
    EXPECT_EQ(arrivals[2].here_ns, 500U);
    EXPECT_TRUE(arrivals[2].waker->interrupt);
}

TEST_P(Imported, HasSwitchesThatFollowEachOther) {
    auto file = open_foreign(seed(GetParam()));
    ASSERT_TRUE(file) << file.error().message;
    Kept kept;
    (void)read_all(**file, kept);
    ASSERT_EQ(kept.switches.size(), 6U);
    EXPECT_FALSE(kept.switches[0].follows) << "what the CPU did before is not known";
    EXPECT_TRUE(kept.switches[1].follows);
    EXPECT_FALSE(kept.switches[2].follows) << "the first of CPU 1";
    EXPECT_EQ(kept.switches[1].task.tid, 11U);
    EXPECT_EQ(kept.switches[1].left, Left::preempted);
    EXPECT_EQ(kept.switches[3].left, Left::asleep);
    EXPECT_EQ(kept.switches[5].left, Left::dead);
}

// A thread's process is known where the file tells it.
TEST_P(Imported, KnowsProcesses) {
    auto file = open_foreign(seed(GetParam()));
    ASSERT_TRUE(file) << file.error().message;
    Kept kept;
    (void)read_all(**file, kept);
    ASSERT_EQ(kept.switches.size(), 6U);
    EXPECT_EQ(kept.switches[1].task.tid, 11U);
    EXPECT_EQ(kept.switches[1].task.pid, 10U);
}

// Cut anywhere: what is there is read, or refused with a line; nothing else happens.
TEST_P(Imported, CanBeCutAnywhere) {
    const std::string bytes = bytes_of(seed(GetParam()));
    const util::FolderForTest folder;
    const std::string path = folder / "cut";
    for (std::size_t size = 0; size < bytes.size(); size += size < 4096 ? 1 : 97) {
        std::ofstream(path, std::ios::binary) << bytes.substr(0, size);
        auto file = open_foreign(path);
        if (!file) {
            EXPECT_NE(file.error().message.find(path), std::string::npos) << file.error().message;
            EXPECT_EQ(file.error().message.find('\n'), std::string::npos);
            continue;
        }
        Kept kept;
        (void)read_all(**file, kept);
        EXPECT_LE(kept.switches.size(), 6U);
    }
}

INSTANTIATE_TEST_SUITE_P(Formats, Imported,
                         ::testing::Values("perf", "perf-pipe", "trace-6", "trace-7", "perfetto"),
                         [](const auto& file) {
                             std::string name;
                             for (const char c : std::string(file.param)) {
                                 name += c == '-' ? '_' : c;
                             }
                             return name;
                         });

TEST(ImportedFile, SaysWhatItIs) {
    auto file = open_foreign(seed("perf"));
    ASSERT_TRUE(file) << file.error().message;
    const ForeignInfo& info = (*file)->info();
    EXPECT_EQ(info.format, "perf.data");
    EXPECT_EQ(info.tool, "perf 6.1");
    EXPECT_EQ(info.host, "elsewhere");
    EXPECT_EQ(info.kernel, "6.1.0");
    EXPECT_EQ(info.machine, "x86_64");
    EXPECT_EQ(info.command_line, (std::vector<std::string>{"perf", "sched"}));
    EXPECT_EQ(info.cpus, 2U);
    EXPECT_EQ(info.last_ns, 7000U);
}

TEST(ImportedFile, OfTraceCmdSaysWhatItIs) {
    auto file = open_foreign(seed("trace-7"));
    ASSERT_TRUE(file) << file.error().message;
    const ForeignInfo& info = (*file)->info();
    EXPECT_EQ(info.format, "trace.dat");
    EXPECT_EQ(info.host, "elsewhere");
    EXPECT_EQ(info.kernel, "6.1.0");
    EXPECT_EQ(info.machine, "x86_64");
    EXPECT_EQ(info.cpus, 2U);
}

TEST(ImportedFile, OfPerfettoSaysWhatItIs) {
    auto file = open_foreign(seed("perfetto"));
    ASSERT_TRUE(file) << file.error().message;
    const ForeignInfo& info = (*file)->info();
    EXPECT_EQ(info.format, "Perfetto trace");
    EXPECT_EQ(info.kernel, "6.1.0");
    EXPECT_EQ(info.machine, "x86_64");
    EXPECT_EQ(info.realtime_offset_ns, 4999000);
}

// Compact switches do not tell who left, so that the first one of a CPU tells only who came.
TEST(ImportedFile, OfPerfettoInColumns) {
    auto file = open_foreign(seed("perfetto-compact"));
    ASSERT_TRUE(file) << file.error().message;
    Kept kept;
    EXPECT_EQ(read_all(**file, kept), std::vector<std::string>());
    ASSERT_EQ(kept.switches.size(), 4U);
    const auto arrivals = kept.arrivals();
    ASSERT_EQ(arrivals.size(), 2U);
    EXPECT_EQ(arrivals[0].task.tid, 20U);
    EXPECT_EQ(arrivals[0].here_ns, 1000U) << "since sched_waking: there is no sched_wakeup";
    EXPECT_FALSE(arrivals[0].waker);
    EXPECT_EQ(arrivals[1].here_ns, 500U);
    EXPECT_EQ(kept.switches[0].task.tid, 11U);
    EXPECT_EQ(kept.switches[0].task.pid, 10U);
    EXPECT_EQ(kept.switches[0].left, Left::preempted);
}

// What the fuzzer found: a field of a known number and another type.
TEST(ImportedFile, OfPerfettoWithAFieldOfAnotherTypeIsDamaged) {
    auto file = open_foreign(seed("perfetto-wrong-type"));
    ASSERT_TRUE(file) << file.error().message;
    Kept kept;
    const auto damage = read_all(**file, kept);
    ASSERT_FALSE(damage.empty());
    EXPECT_NE(damage.front().find("a packet cannot be read"), std::string::npos) << damage.front();
}

// ---------------------------------------------------------------------------- events

SchedEvent event(SchedEvent::Kind kind, std::uint64_t ts_ns, std::uint32_t tid) {
    SchedEvent event;
    event.kind = kind;
    event.ts_ns = ts_ns;
    event.tid = tid;
    return event;
}

SchedEvent switched(std::uint64_t ts_ns, std::uint32_t from, std::uint64_t state,
                    std::uint32_t to) {
    SchedEvent made = event(SchedEvent::Kind::switched, ts_ns, from);
    made.state = state;
    made.next_tid = to;
    return made;
}

TEST(SwitchBuilder, NeverBridgesAHole) {
    Kept kept;
    SwitchBuilder builder(kept, 2);
    builder.take(switched(100, 0, 0, 5));
    builder.take(event(SchedEvent::Kind::woken, 200, 6));
    SchedEvent lost = event(SchedEvent::Kind::lost, 300, 0);
    lost.lost = 17;
    builder.take(lost);
    builder.take(switched(400, 5, 1, 6));
    builder.take(event(SchedEvent::Kind::woken, 500, 5));
    builder.take(switched(600, 6, 1, 5));
    ASSERT_EQ(kept.switches.size(), 3U);
    EXPECT_FALSE(kept.switches[1].came) << "it may have run in between";
    EXPECT_FALSE(kept.switches[1].follows);
    ASSERT_TRUE(kept.switches[2].came);
    EXPECT_EQ(kept.switches[2].came->here_ns, 100U);
    ASSERT_EQ(kept.losses.size(), 1U);
    EXPECT_EQ(kept.losses[0].lost, 17U);
    EXPECT_EQ(kept.losses[0].from_ns, 100U);
    EXPECT_EQ(kept.losses[0].to_ns, 300U);
    EXPECT_EQ(builder.counts().unknown, 2U);
}

TEST(SwitchBuilder, AWakeupOfARunningTaskIsNoWait) {
    Kept kept;
    SwitchBuilder builder(kept, 1);
    builder.take(switched(100, 0, 0, 5));
    builder.take(event(SchedEvent::Kind::woken, 150, 5));
    builder.take(switched(200, 5, 1, 0));
    builder.take(switched(300, 0, 0, 5));
    EXPECT_TRUE(kept.arrivals().empty());
}

// It is not taken for one that stayed runnable.
TEST(SwitchBuilder, WhoLeftInAnUnknownStateDoesNotWait) {
    constexpr std::uint64_t preempted = 0x100;
    constexpr std::uint64_t no_state = 0x200;
    for (const std::uint64_t state : {preempted, no_state}) {
        Kept kept;
        SwitchBuilder builder(kept, 1);
        builder.take(switched(100, 0, 0, 5));
        builder.take(switched(200, 5, state, 6));
        builder.take(switched(300, 6, 1, 5));
        EXPECT_EQ(kept.arrivals().size(), state == preempted ? 1U : 0U);
        EXPECT_EQ(kept.switches[1].left, state == preempted ? Left::preempted : Left::unknown);
    }
}

// Where only sched_waking was recorded, the way to another CPU is not time in another queue.
TEST(SwitchBuilder, IsMovedByItsWakerBeforeItIsQueued) {
    Kept kept;
    SwitchBuilder builder(kept, 2);
    SchedEvent waking = event(SchedEvent::Kind::waking, 100, 5);
    waking.to_cpu = 0;
    builder.take(waking);
    SchedEvent moved = event(SchedEvent::Kind::migrated, 103, 5);
    moved.to_cpu = 1;
    builder.take(moved);
    SchedEvent came = switched(200, 0, 0, 5);
    came.cpu = 1;
    builder.take(came);
    ASSERT_EQ(kept.arrivals().size(), 1U);
    EXPECT_EQ(kept.arrivals()[0].here_ns, 100U);
    EXPECT_EQ(kept.arrivals()[0].elsewhere_ns, 0U);
}

TEST(SwitchBuilder, ForgetsThreadsThatNeitherRunNorWait) {
    Kept kept;
    SwitchBuilder builder(kept, 1);
    for (std::uint32_t tid = 1; tid < SwitchBuilder::most_threads * 3; ++tid) {
        builder.take(switched(tid, tid - 1, 1, tid));
        ASSERT_LE(builder.threads(), SwitchBuilder::most_threads);
    }
}

TEST(SwitchBuilder, DropsWhatCpusDoThatThereAreNot) {
    Kept kept;
    SwitchBuilder builder(kept, 2);
    SchedEvent far = switched(100, 0, 0, 5);
    far.cpu = 2;
    builder.take(far);
    EXPECT_TRUE(kept.switches.empty());
}

}  // namespace
}  // namespace rqs::import
