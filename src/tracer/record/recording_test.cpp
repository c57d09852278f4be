// SPDX-License-Identifier: BSD-2-Clause
// Whole files: what was recorded comes back, and of what is damaged as much as is there.
#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <memory>

#include "record/file_store.h"
#include "record/flight_store.h"
#include "record/random_records_for_test.h"
#include "record/recorder.h"
#include "record/records_for_test.h"
#include "session/fanout.h"
#include "sources/recording.h"
#include "util/folder_for_test.h"

namespace rqs::record {
namespace {

namespace fs = std::filesystem;

class Recording : public ::testing::Test {
  protected:
    Recording() {
        info_.host = "host \x1b[31m\xff";
        info_.kernel = "6.1";
        info_.cpus = 3;
        info_.began_ns = 7;
    }
    [[nodiscard]] std::string path(const std::string& name = "x.rec") const {
        return (folder_ / name).string();
    }
    /// Records random records; what went in is in `witness`.
    void record(int steps, Witness& witness, const FileLimits& limits = {},
                std::uint64_t seed = 1) {
        auto store = FileStore::open(path(), info_, limits);
        ASSERT_TRUE(store) << store.error().message;
        Recorder recorder(**store);
        Fanout both(witness, recorder);
        RandomRecords records(seed);
        for (int i = 0; i < steps; ++i) {
            records.step(both);
        }
        Counters counters;
        counters.seen = 77;
        ASSERT_TRUE(recorder.finish(99, counters));
    }
    /// What a report would see; the messages are what is wrong.
    static std::vector<std::string> read(const std::vector<std::string>& paths, Witness& witness) {
        auto source = RecordingSource::open(paths);
        if (!source) {
            return {source.error().message};
        }
        while (!(*source)->ended()) {
            EXPECT_TRUE((*source)->poll({}, witness));
        }
        return (*source)->damage();
    }
    static std::string bytes_of(const std::string& path) {
        std::ifstream file(path, std::ios::binary);
        return {std::istreambuf_iterator<char>(file), {}};
    }
    static void write(const std::string& path, const std::string& bytes) {
        std::ofstream(path, std::ios::binary) << bytes;
    }

    util::FolderForTest temporary_;
    fs::path folder_ = temporary_.path();
    RecordingInfo info_;
};

/// Lines of switches: what a block's context tells again is not counted.
std::vector<std::string> switches(const Witness& witness) {
    std::vector<std::string> lines;
    std::copy_if(witness.lines.begin(), witness.lines.end(), std::back_inserter(lines),
                 [](const std::string& line) { return line.rfind("switch", 0) == 0; });
    return lines;
}

TEST_F(Recording, ComesBackAsItWas) {
    Witness in;
    Witness out;
    record(200000, in);  // several blocks
    EXPECT_TRUE(read({path()}, out).empty());
    EXPECT_EQ(switches(in), switches(out));
}

TEST_F(Recording, IsTheSameWhicheverWayItIsRead) {
    Witness in;
    Witness out;
    record(20000, in);
    const int file = ::open(path().c_str(), O_RDONLY | O_CLOEXEC);
    const int before = ::dup(STDIN_FILENO);
    ASSERT_EQ(::dup2(file, STDIN_FILENO), STDIN_FILENO);
    EXPECT_TRUE(read({"-"}, out).empty());
    ::dup2(before, STDIN_FILENO);
    ::close(before);
    ::close(file);
    EXPECT_EQ(switches(in), switches(out));
}

TEST_F(Recording, InfoComesBackWithItsHostileNames) {
    info_.command_line = {"a", "\"b\xff\n"};
    info_.topology = {{0, 0, 0, 0}, {1, -1, 0, 1}};
    info_.filters.pids = {4};
    info_.left_out_pids = {9};
    Witness in;
    record(10, in);
    const auto reader = RecordingReader::open(path());
    ASSERT_TRUE(reader);
    RecordingInfo expected = info_;
    expected.host = "host \x1b[31m\xef\xbf\xbd";
    expected.command_line[1] = "\"b\xef\xbf\xbd\n";
    EXPECT_EQ(reader->info(), expected);
}

TEST_F(Recording, CutAtAnyByteKeepsTheWholeBlocks) {
    Witness in;
    record(3000, in);
    const std::string whole = bytes_of(path());
    const auto all = switches(in);
    std::size_t best = 0;
    for (std::size_t size = 0; size < whole.size(); size += size < 1200 ? 1 : 397) {
        write(path("cut.rec"), whole.substr(0, size));
        Witness out;
        const auto wrong = read({path("cut.rec")}, out);
        ASSERT_FALSE(wrong.empty()) << size;
        const auto found = switches(out);
        ASSERT_LE(found.size(), all.size());
        ASSERT_TRUE(std::equal(found.begin(), found.end(), all.begin())) << size;
        best = std::max(best, found.size());
    }
    EXPECT_EQ(best, all.size());  // all but the index or the end is enough
}

TEST_F(Recording, FlippedBitsLoseABlockAndSaySo) {
    Witness in;
    record(200000, in);
    const std::string whole = bytes_of(path());
    std::mt19937_64 random(4);
    for (int round = 0; round < 15; ++round) {
        std::string bad = whole;
        const std::size_t at = 400 + random() % (whole.size() - 400);
        bad[at] = static_cast<char>(bad[at] ^ 1 << random() % 8);
        write(path("bad.rec"), bad);
        Witness out;
        const auto wrong = read({path("bad.rec")}, out);
        EXPECT_FALSE(wrong.empty()) << at;
        EXPECT_LE(switches(out).size(), switches(in).size());
    }
}

// A hole in the middle: what is missing is counted, and no switch follows across it.
TEST_F(Recording, AMissingBlockIsALossWithItsNumberAndBreaksTheChain) {
    Witness in;
    record(200000, in);
    auto reader = RecordingReader::open(path());
    ASSERT_TRUE(reader);
    const auto index = reader->index();
    ASSERT_TRUE(index);
    ASSERT_GE(index->size(), 3U);
    const IndexEntry& gone = index->at(1);
    std::string bad = bytes_of(path());
    bad[gone.offset + header_bytes + 100] ^= 1;
    write(path("bad.rec"), bad);
    Witness out;
    EXPECT_FALSE(read({path("bad.rec")}, out).empty());
    const auto loss = std::find_if(out.lines.begin(), out.lines.end(), [](const auto& line) {
        return line.rfind("loss 4294967295 ", 0) == 0 && line.back() == '1';
    });
    ASSERT_NE(loss, out.lines.end());
    EXPECT_NE(loss->find(" " + std::to_string(gone.summary.waits) + " 1"), std::string::npos);
    const auto after = std::find_if(loss, out.lines.end(),
                                    [](const auto& line) { return line.rfind("switch", 0) == 0; });
    EXPECT_NE(after->find(" false "), std::string::npos) << *after;
}

TEST_F(Recording, WhatIsNoneSaysSoInOneLine) {
    Witness in;
    record(10, in);
    std::string later = bytes_of(path());
    later[8] = 9;  // version
    write(path("later"), later);
    write(path("empty"), "");
    write(path("text"), "hello, this is no recording at all\n");
    for (const auto& [name, part] : {std::pair{"later", "version 9"},
                                     {"empty", "is empty"},
                                     {"text", "no recording"},
                                     {"nothing", "No such file"},
                                     {".", "is a directory"}}) {
        Witness out;
        const auto wrong = read({path(name)}, out);
        ASSERT_EQ(wrong.size(), 1U) << name;
        EXPECT_NE(wrong[0].find(part), std::string::npos) << wrong[0];
        EXPECT_EQ(wrong[0].find('\n'), std::string::npos);
        EXPECT_TRUE(out.lines.empty());
    }
}

TEST_F(Recording, TwoRunsAreNotMixed) {
    Witness in;
    record(10, in);
    fs::rename(path(), path("other.rec"));
    info_.began_ns = 8;
    record(10, in);
    Witness out;
    const auto wrong = read({path(), path("other.rec")}, out);
    ASSERT_EQ(wrong.size(), 1U);
    EXPECT_NE(wrong[0].find("two runs"), std::string::npos);
}

TEST_F(Recording, RotationKeepsTheNewestFilesAndLosesNothingBetweenThem) {
    Witness in;
    record(300000, in, {std::uint64_t{1} << 20, 4});
    std::vector<std::string> files;
    for (const auto& entry : fs::directory_iterator(folder_)) {
        EXPECT_LE(entry.file_size(), std::uint64_t{1} << 20);
        files.push_back(entry.path().string());
    }
    EXPECT_EQ(files.size(), 4U);
    Witness out;
    EXPECT_TRUE(read(files, out).empty());
    const auto all = switches(in);
    const auto kept = switches(out);
    ASSERT_LT(kept.size(), all.size());
    // All but what the first file's first switches followed.
    const auto tail = static_cast<std::ptrdiff_t>(kept.size()) - 100;
    EXPECT_TRUE(std::equal(kept.end() - tail, kept.end(), all.end() - tail));
}

TEST_F(Recording, EndsAtItsLargestSize) {
    Witness in;
    record(300000, in, {std::uint64_t{1} << 20, 1});
    EXPECT_LE(fs::file_size(path()), std::uint64_t{1} << 20);
    Witness out;
    EXPECT_TRUE(read({path()}, out).empty());
    EXPECT_GT(switches(out).size(), 10000U);
}

constexpr std::uint64_t second = 1'000'000'000;

/// What a flight recorder told of its dumps.
class Dumps {
  public:
    FlightStore::Told listen() {
        return [this](const Result<FlightDump>& dump) {
            ASSERT_TRUE(dump) << dump.error().message;
            all.push_back(*dump);
        };
    }
    std::vector<FlightDump> all;
};

void fly(Recorder& recorder, std::uint64_t from_s, std::uint64_t to_s) {
    for (std::uint64_t ms = from_s * 1000; ms < to_s * 1000; ++ms) {
        Switch record;
        record.clock_ns = ms * 1'000'000;
        record.came.emplace().ts_ns = ms * 1'000'000;
        recorder.on_switch(record);
    }
}

TEST_F(Recording, OfAFlightHasTheLastSecondsAndNothingTwice) {
    Dumps dumps;
    FlightStore store(path("fl.rec"), info_, {3 * second, 1 << 20, std::nullopt}, dumps.listen());
    Recorder recorder(store, {1});
    const auto dump = [&](std::uint64_t now_s) {
        recorder.cut();
        recorder.run([&store, now_s] { store.dump("a test", now_s * second); });
    };
    fly(recorder, 1, 20);
    dump(20);
    fly(recorder, 20, 21);
    dump(21);
    dump(22);  // nothing has happened since
    ASSERT_TRUE(recorder.finish(22 * second, {}));
    ASSERT_EQ(dumps.all.size(), 3U);
    EXPECT_EQ(dumps.all[0].reason, "a test");
    EXPECT_NE(dumps.all[0].path, dumps.all[1].path);
    EXPECT_EQ(dumps.all[2].bytes, 0U);
    Witness out;
    EXPECT_TRUE(read({dumps.all[1].path, dumps.all[0].path}, out).empty());
    const auto found = switches(out);
    EXPECT_GE(found.size(), 4000U);
    EXPECT_LE(found.size(), 5100U);
    EXPECT_NE(found.back().find("20999000000"), std::string::npos);
}

TEST_F(Recording, OfAFlightStaysWithinItsMemory) {
    Dumps dumps;
    FlightStore store(path("fl.rec"), info_, {UINT64_MAX / 2, 1 << 20, std::nullopt},
                      dumps.listen());
    Recorder recorder(store);
    RandomRecords records(5);
    for (int i = 0; i < 400000; ++i) {
        records.step(recorder);
    }
    EXPECT_LE(store.bytes(), std::uint64_t{1} << 20);
    EXPECT_GT(store.bytes(), std::uint64_t{1} << 18);
}

TEST_F(Recording, OfAFlightIsDumpedOnceASpanAndTheRestAtTheEnd) {
    Dumps dumps;
    FlightStore store(path("fl.rec"), info_, {1000, 1 << 20, 500}, dumps.listen());
    const auto put = [&](std::uint64_t at_ns, std::uint64_t wait_ns) {
        PackedBlock block;
        block.frame = begin_frame();
        block.summary.first_ns = block.summary.last_ns = at_ns;
        block.summary.longest_wait_ns = wait_ns;
        ASSERT_TRUE(store.put(block));
    };
    put(0, 500);
    EXPECT_EQ(dumps.all.size(), 0U);
    put(10, 501);
    EXPECT_EQ(dumps.all.size(), 1U);
    put(1009, 501);
    EXPECT_EQ(dumps.all.size(), 1U);
    put(1010, 0);
    EXPECT_EQ(dumps.all.size(), 2U);
    store.ask("pressure", 1500);
    put(1600, 0);
    EXPECT_EQ(dumps.all.size(), 2U);
    ASSERT_TRUE(store.finish({}));
    ASSERT_EQ(dumps.all.size(), 3U);
    EXPECT_EQ(dumps.all[2].reason, "pressure");
}

/// Adds up waits.
class Sum final : public RecordHandler {
  public:
    void on_switch(const Switch& record) override {
        ++switches;
        if (record.came) {
            ++waits;
            wait_ns += record.came->here_ns + record.came->elsewhere_ns;
        }
    }
    std::uint64_t switches = 0;
    std::uint64_t waits = 0;
    std::uint64_t wait_ns = 0;
};

// Of each released version of the format one recording is kept, and read for ever.
TEST(OldRecordings, OfVersion1IsRead) {
    auto source = RecordingSource::open({RQS_GOLDEN_DIR "/recordings/v1.rec"});
    ASSERT_TRUE(source) << source.error().message;
    Sum sum;
    while (!(*source)->ended()) {
        ASSERT_TRUE((*source)->poll({}, sum));
    }
    EXPECT_TRUE((*source)->damage().empty());
    EXPECT_EQ(sum.switches, 380U);
    EXPECT_EQ(sum.waits, 83U);
    EXPECT_EQ(sum.wait_ns, 1395627U);
}

TEST(DumpPath, HasTheTimeBeforeItsExtension) {
    ::setenv("TZ", "UTC", 1);
    ::tzset();
    EXPECT_EQ(dump_path("a.b/x.rec", 0), "a.b/x-19700101-000000.rec");
    EXPECT_EQ(dump_path("a.b/x", 0), "a.b/x-19700101-000000");
    EXPECT_EQ(dump_path(".rec", 0), ".rec-19700101-000000");
}

}  // namespace
}  // namespace rqs::record
