// SPDX-License-Identifier: BSD-2-Clause
// Recordings of the running kernel: what was printed live and what is reported later are the same,
// and whatever happens to the recorder, what it has kept can be read.
#include <fcntl.h>
#include <gtest/gtest.h>
#include <poll.h>
#include <sched.h>
#include <sys/mount.h>
#include <unistd.h>

#include <algorithm>
#include <csignal>
#include <cstdlib>
#include <ctime>
#include <filesystem>
#include <memory>
#include <nlohmann/json.hpp>
#include <sstream>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include "bench/loads/overload.h"
#include "harness/program.h"
#include "situation.h"
#include "tracer.h"

namespace rqs::ktest {
namespace {

namespace fs = std::filesystem;
using Json = nlohmann::json;
using Words = Tracer::Words;
constexpr auto load_limit = std::chrono::seconds{120};

std::string binary() {
    const char* path = std::getenv("RQS_BINARY");
    return path != nullptr ? path : RQS_DEFAULT_BINARY;
}

class Recorded : public ::testing::Test {
  protected:
    Recorded() { fs::create_directory(folder_); }
    ~Recorded() override { fs::remove_all(folder_); }

    [[nodiscard]] std::string path(const std::string& name) const { return folder_ + "/" + name; }

    static harness::Outcome report(const Words& words) {
        Words all{binary(), "report"};
        all.insert(all.end(), words.begin(), words.end());
        return harness::run(all);
    }
    /// All files of the folder: those of a rotation.
    [[nodiscard]] Words files() const {
        Words names;
        for (const auto& entry : fs::directory_iterator(folder_)) {
            names.push_back(entry.path().string());
        }
        return names;
    }
    /// A crowd that is at work. Under emulation, where a CPU does a fiftieth, a small one.
    static std::unique_ptr<loads::Crowd> crowd(std::string_view kind, std::uint32_t tasks) {
        tasks = in_vm() ? std::min(tasks, 40U) : tasks;
        auto started = loads::start_overload(kind, times(tasks), load_limit);
        if (!started) {
            ADD_FAILURE() << started.error().message;
            return nullptr;
        }
        (*started)->go();
        return std::move(*started);
    }

    /// Processes of this name that work and sleep in turn: thousands of waits a second.
    static std::vector<Process> workers(int count) {
        std::vector<Process> all;
        for (int i = 0; i < count; ++i) {
            all.emplace_back([] {
                set_name("record-load");
                for (;;) {
                    burn_ns(150'000);
                    sleep_ns(400'000);
                }
            });
        }
        return all;
    }

    std::string folder_ = temporary_path("recorded");
};

/// What is printed of the live run beside what a report prints.
void expect_same(const std::string& live, const std::string& later) {
    std::size_t at = 0;
    while (at < live.size() && at < later.size() && live[at] == later[at]) {
        ++at;
    }
    const std::size_t line = live.rfind('\n', at) + 1;
    EXPECT_EQ(live.size(), later.size());
    EXPECT_TRUE(live == later) << "live:  " << live.substr(line, 400)
                               << "\nlater: " << later.substr(line, 400);
}

struct View {
    const char* name;
    Words options;
    Words live_only = {};
};

class RecordedView : public Recorded, public ::testing::WithParamInterface<View> {};

TEST_P(RecordedView, TellsWhatTheLiveRunTold) {
    auto load = workers(6);
    Words live{"--record", path("x.rec"), "-o", path("live"), "-d", in_vm() ? "1" : "1.5"};
    Words later{path("x.rec"), "--events", "-o", path("later")};
    const auto& options = GetParam().options;
    live.insert(live.end(), options.begin(), options.end());
    later.insert(later.end(), options.begin(), options.end());
    const auto& live_only = GetParam().live_only;
    live.insert(live.end(), live_only.begin(), live_only.end());
    Tracer tracer(live);
    ASSERT_EQ(tracer.join(), 0) << tracer.stderr_text();
    load.clear();
    const auto outcome = report(later);
    EXPECT_EQ(outcome.code, 0) << outcome.err;
    const std::string text = read_file(path("live"));
    EXPECT_GT(text.size(), 300U);
    expect_same(text, read_file(path("later")));
}

INSTANTIATE_TEST_SUITE_P(
    Views, RecordedView,
    ::testing::Values(View{"Text", {"0"}}, View{"Wide", {"100", "-W", "-P", "-w"}},
                      View{"Json", {"0", "-f", "json", "-s"}}, View{"Csv", {"50", "-f", "csv"}},
                      View{"Summary", {"0", "-q", "-s"}},
                      View{"Cgroups", {"0", "-q", "--by", "cgroup"}},
                      View{"Parents", {"0", "-q", "--by", "parent"}},
                      View{"Intervals", {"0", "-q", "--interval", "0.5"}},
                      View{"Filter", {"0", "-c", "record-load", "-f", "json", "-s"}},
                      View{"Folded", {"0", "-f", "folded"}},
                      View{"Waker", {"0", "--waker", "-f", "json"}},
                      // So small a ring loses something, which both must say.
                      View{"Losses",
                           {"0", "-q", "-s", "-f", "json"},
                           {"--buffer", "16k", "--history", "16", "--priority", "normal"}}),
    [](const auto& view) { return std::string(view.param.name); });

TEST_F(Recorded, IsReportedInEveryFormat) {
    auto load = workers(4);
    Tracer tracer({"record", "-o", path("x.rec"), "-d", "2"});
    ASSERT_EQ(tracer.join(), 0) << tracer.stderr_text();
    load.clear();
    const auto json = report({path("x.rec"), "-f", "json"});
    EXPECT_EQ(json.code, 0) << json.err;
    EXPECT_EQ(json.err, "");
    const Json object = Json::parse(json.out);
    const auto waits = object.value("waits", std::uint64_t{0});
    const auto lost = object.value("lost", std::uint64_t{1});
    EXPECT_GT(waits, 100U);
    EXPECT_GE(object.value("switches", std::uint64_t{0}), waits);
    EXPECT_GE(object.value("duration_ns", std::uint64_t{0}), 2'000'000'000U);
    EXPECT_TRUE(object.at("damage").empty());
    EXPECT_FALSE(object.at("avoidable").is_null());
    EXPECT_NE(tracer.stderr_text().find("; " + std::to_string(lost) + " waits lost"),
              std::string::npos)
        << tracer.stderr_text();
    const auto text = report({path("x.rec")});
    EXPECT_EQ(text.code, 0) << text.err;
    for (const std::string& part :
         {std::string("record-load"), "WAITS       " + std::to_string(waits)}) {
        EXPECT_NE(text.out.find(part), std::string::npos) << part << "\n" << text.out;
    }
    const auto csv = report({path("x.rec"), "-f", "csv"});
    EXPECT_EQ(csv.code, 0) << csv.err;
    EXPECT_EQ(csv.out.rfind("section,", 0), 0U);
}

TEST_F(Recorded, ProgressIsShownOnATerminalOnceASecond) {
    constexpr std::string_view head = "\r\x1b[Krecording: ";
    harness::Program recorder({binary(), "record", "-o", path("x.rec")}, {.on_terminal = true});
    const std::uint64_t began_ns = now_ns();
    std::size_t first = std::string::npos;
    std::size_t second = std::string::npos;
    ASSERT_TRUE(recorder.collect_until([&] {
        first = recorder.out.find(head);
        second = first == std::string::npos ? first : recorder.out.find(head, first + 1);
        return second != std::string::npos;
    })) << recorder.out;
    EXPECT_GE(now_ns() - began_ns, 2'000'000'000U);
    recorder.send(SIGINT);
    EXPECT_EQ(recorder.finish(), 0);
    const std::string line = recorder.out.substr(first + head.size(), second - first - head.size());
    // Little is stored within a second: the size may be bytes or kB, but never nothing.
    EXPECT_TRUE(line.find(" bytes, ") != std::string::npos || line.find("B, ") != std::string::npos)
        << line;
    for (const char* part : {" s, ", " switches, ", " a second, ", " waits lost"}) {
        EXPECT_NE(line.find(part), std::string::npos) << part << line;
    }
    EXPECT_EQ(line.find(" 0 bytes"), std::string::npos) << line;
    EXPECT_NE(recorder.out.find("\r\x1b[Krunqslower: recorded "), std::string::npos)
        << recorder.out;
}

// A filter on a full recording is the filter that the live tool would have had.
TEST_F(Recorded, IsFilteredLater) {
    Process hog([] {
        set_name("later-hog");
        pin(scene_cpu());
        burn_ns(60'000'000'000);
    });
    Process other([] {
        pin(scene_cpu());
        burn_ns(60'000'000'000);
    });
    Tracer tracer({"record", "-o", path("x.rec"), "-d", "1"});
    ASSERT_EQ(tracer.join(), 0) << tracer.stderr_text();
    const std::string pid = std::to_string(hog.pid());
    const auto outcome = report({path("x.rec"), "--events", "-f", "json", "-p", pid});
    std::istringstream lines(outcome.out);
    std::size_t waits = 0;
    for (std::string line; std::getline(lines, line);) {
        const Json json = Json::parse(line);
        if (json.value("type", "") == "wait") {
            ++waits;
            EXPECT_EQ(json.value("pid", 0), hog.pid());
            EXPECT_EQ(json.value("comm", ""), "later-hog");
        }
    }
    EXPECT_GT(waits, 3U);
}

TEST_F(Recorded, RotationLosesNothing) {
    auto load = crowd("pairs", 200);
    Tracer tracer({"0", "-q", "-s", "-f", "json", "-o", path("live"), "--record", path("x.rec"),
                   "--max-size", "1m", "--rotate", "100", "-d", in_vm() ? "2" : "3"});
    ASSERT_EQ(tracer.join(), 0) << tracer.stderr_text();
    load.reset();
    const std::string live = read_file(path("live"));
    fs::remove(path("live"));
    Words words = files();
    EXPECT_GE(words.size(), in_vm() ? 1U : 2U);
    words.insert(words.end(), {"--events", "-q", "-s", "-f", "json"});
    const auto outcome = report(words);
    EXPECT_EQ(outcome.code, 0) << outcome.err;
    expect_same(live, outcome.out);
}

// At any moment, whatever it was doing: all but the last second can be read.
TEST_F(Recorded, KilledAtAnyMomentCanBeRead) {
    const auto load = workers(4);
    const int rounds = in_vm() ? 3 : 100;
    std::size_t with_waits = 0;
    for (int round = 0; round < rounds; ++round) {
        harness::Program recorder({binary(), "record", "-o", path("x.rec")});
        ::poll(nullptr, 0, 5 + round * 37 % 300 + (round % 10 == 0 ? 1200 : 0));
        recorder.send(SIGKILL);
        EXPECT_EQ(recorder.finish(), 128 + SIGKILL);
        if (!fs::exists(path("x.rec"))) {
            continue;  // killed before it had begun
        }
        const auto outcome = report({path("x.rec"), "-s", "-q", "--events"});
        const bool begun = outcome.code == 0;
        EXPECT_TRUE(begun ||
                    (outcome.code == 1 && outcome.err.find("is empty") != std::string::npos))
            << outcome.err;
        EXPECT_TRUE(!begun || outcome.err.find("recorder was killed") != std::string::npos)
            << outcome.err;
        with_waits += outcome.out.find("waits longer") != std::string::npos &&
                              outcome.err.rfind("0 waits", 0) != 0
                          ? 1U
                          : 0U;
    }
    EXPECT_GE(with_waits, static_cast<std::size_t>(rounds) / 12);
}

TEST_F(Recorded, AFullDiskEndsItWithWhatThereIs) {
    const std::string disk = path("disk");
    fs::create_directory(disk);
    // Under emulation little is written in a few seconds.
    if (::mount("none", disk.c_str(), "tmpfs", 0, in_vm() ? "size=32k" : "size=1m") != 0) {
        GTEST_SKIP() << "cannot mount a tmpfs";
    }
    auto load = crowd("pairs", 200);
    Tracer tracer({"record", "-o", disk + "/x.rec", "-d", "60"});
    // What ends a program of the kernel's waits for threads that this load starves.
    sleep_ns(in_vm() ? 5'000'000'000 : 3'000'000'000);
    load.reset();
    EXPECT_EQ(tracer.join(), 1);
    EXPECT_NE(tracer.stderr_text().find("No space left on device"), std::string::npos)
        << tracer.stderr_text();
    EXPECT_NE(tracer.stderr_text().find("could not be written"), std::string::npos)
        << tracer.stderr_text();
    const auto outcome = report({disk + "/x.rec", "-s", "-q", "--events"});
    EXPECT_EQ(outcome.code, 0) << outcome.err;
    EXPECT_NE(outcome.out.find("waits longer"), std::string::npos) << outcome.out;
    EXPECT_EQ(outcome.err.find("damaged"), std::string::npos) << outcome.err;
    ::umount2(disk.c_str(), MNT_DETACH);
}

// Under an overload: nothing is lost, and the dump has what came before it.
TEST_F(Recorded, AFlightUnderOverloadHasTheSecondsBeforeTheSignal) {
    auto load = crowd("pairs", 600);
    Tracer tracer({"record", "--flight", "2", "-o", path("x.rec")}, Run::plain);
    ASSERT_TRUE(tracer.attached()) << tracer.stderr_text();
    sleep_ns(in_vm() ? 1'000'000'000 : 4'000'000'000);
    const std::uint64_t asked_ns = now_ns();
    tracer.send(SIGUSR1);
    EXPECT_TRUE(wait_for([&] { return !files().empty(); }));
    sleep_ns(200_ms);
    EXPECT_EQ(tracer.stop(), 0) << tracer.stderr_text();
    load.reset();
    EXPECT_NE(tracer.stderr_text().find("; 0 waits lost"), std::string::npos)
        << tracer.stderr_text();
    ASSERT_EQ(files().size(), 1U);
    const auto outcome = report({files().front(), "-f", "json"});
    EXPECT_EQ(outcome.code, 0) << outcome.err;
    const Json json = Json::parse(outcome.out);
    const auto first_ns = json.value("from_ns", std::uint64_t{0});
    const auto last_ns = json.value("to_ns", std::uint64_t{0});
    EXPECT_GT(json.value("waits", std::uint64_t{0}), in_vm() ? 100U : 1000U);
    EXPECT_EQ(json.value("lost", std::uint64_t{1}), 0U);
    EXPECT_LT(first_ns + (in_vm() ? 0 : 1'500'000'000), asked_ns);
    EXPECT_GT(last_ns + (in_vm() ? 1'000_ms : 100_ms), asked_ns);
}

TEST_F(Recorded, AFlightDumpHoldsTheWaitThatTriggeredIt) {
    Process hog([] {
        pin(scene_cpu());
        set_policy(SCHED_FIFO, 2);
        for (;;) {  // the tracer may take its time to start
            burn_ns(60_ms);
            sleep_ns(60_ms);
        }
    });
    Process victim([] {
        set_name("flight-victim");
        pin(scene_cpu());
        burn_ns(60'000'000'000);
    });
    Tracer tracer(
        {"record", "--flight", "1", "--trigger-us", "50000", "-o", path("x.rec"), "-d", "3"});
    ASSERT_EQ(tracer.join(), 0) << tracer.stderr_text();
    ASSERT_FALSE(files().empty()) << tracer.stderr_text();
    Words words = files();
    words.insert(words.end(), {"--events", "50000", "-c", "flight-victim"});
    const auto outcome = report(words);
    EXPECT_EQ(outcome.code, 0) << outcome.err;
    EXPECT_NE(outcome.out.find("flight-victim"), std::string::npos) << outcome.out;
}

/// Writes to a file of the kernel's when it goes.
class Restore {
  public:
    Restore(std::string path, std::string text) : path_(std::move(path)), text_(std::move(text)) {}
    Restore(const Restore&) = delete;
    Restore& operator=(const Restore&) = delete;
    ~Restore() { write_file(path_, text_); }

  private:
    std::string path_;
    std::string text_;
};

/// The CPU that a process's first thread runs on, or ran on last.
int cpu_of(pid_t pid) {
    const std::string stat = read_file("/proc/" + std::to_string(pid) + "/stat");
    std::istringstream fields(stat.substr(std::min(stat.rfind(')'), stat.size())));
    std::string field;
    constexpr int processor = 37;  // the 39th of the line; ')' is the end of the second
    for (int i = 0; i <= processor; ++i) {
        fields >> field;
    }
    return std::atoi(field.c_str());
}

/// For how long the CPUs but one have idled since boot, in ticks.
std::uint64_t others_idle_ticks(int but_cpu) {
    std::istringstream lines(read_file("/proc/stat"));
    std::uint64_t sum = 0;
    for (std::string line; std::getline(lines, line);) {
        std::istringstream fields(line);
        std::string cpu;
        std::uint64_t user = 0;
        std::uint64_t nice = 0;
        std::uint64_t system = 0;
        std::uint64_t idle = 0;
        fields >> cpu >> user >> nice >> system >> idle;
        const bool is_cpu = cpu.size() > 3 && cpu.rfind("cpu", 0) == 0;
        sum += is_cpu && cpu != "cpu" + std::to_string(but_cpu) ? idle : 0;
    }
    return sum;
}

// The scheduler would leave a real-time thread where it is, though another CPU idles.
TEST_F(Recorded, TheReaderLeavesABusyCpuToWhoeverIsThere) {
    if (in_vm() || std::thread::hardware_concurrency() < 2) {
        GTEST_SKIP() << "needs two CPUs of which one idles";
    }
    const int busy = scene_cpu();
    std::vector<Process> load;
    for (int i = 0; i < 2; ++i) {
        load.emplace_back([busy] {
            pin(busy);
            for (;;) {
                ::sched_yield();
            }
        });
    }
    Tracer tracer({"record", "-o", path("busy.rec")});
    ASSERT_TRUE(tracer.attached()) << tracer.stderr_text();
    ASSERT_TRUE(pin(busy, tracer.pid()));
    ASSERT_TRUE(wait_for([&] { return cpu_of(tracer.pid()) == busy; }));
    unpin(tracer.pid());
    bool left = false;
    const std::uint64_t idle_before = others_idle_ticks(busy);
    const std::uint64_t began_ns = now_ns();
    for (int i = 0; i < 100 && !left; ++i) {
        sleep_ns(100'000'000);
        left = cpu_of(tracer.pid()) != busy;
    }
    const auto ticks = static_cast<double>(others_idle_ticks(busy) - idle_before);
    const double idle_s = ticks / static_cast<double>(::sysconf(_SC_CLK_TCK));
    EXPECT_EQ(tracer.stop(), 0) << tracer.stderr_text();
    if (!left && idle_s < static_cast<double>(now_ns() - began_ns) / 1e9 * 0.7) {
        GTEST_SKIP() << "no other CPU idles: somebody else works here";
    }
    EXPECT_TRUE(left);
}

TEST_F(Recorded, ACpuThatGoesAndComesBackIsNoHarm) {
    const std::string online = "/sys/devices/system/cpu/cpu1/online";
    if (read_file(online).substr(0, 1) != "1") {
        GTEST_SKIP() << "no CPU can be taken away here";
    }
    auto load = workers(6);
    Tracer tracer({"0", "-f", "json", "-o", path("live"), "--record", path("x.rec"), "-d", "3"});
    ASSERT_TRUE(tracer.attached()) << tracer.stderr_text();
    sleep_ns(500_ms);
    {
        const Restore restore(online, "1");
        if (!write_file(online, "0")) {
            GTEST_SKIP() << "no CPU can be taken away here";
        }
        sleep_ns(700_ms);
    }
    ASSERT_EQ(tracer.join(), 0) << tracer.stderr_text();
    load.clear();
    const auto outcome = report({path("x.rec"), "--events", "-f", "json"});
    EXPECT_EQ(outcome.code, 0) << outcome.err;
    expect_same(read_file(path("live")), outcome.out);
}

// The time of day is set back by an hour in the middle. In a VM alone: others live by that clock.
TEST_F(Recorded, AClockThatIsSetIsNoHarm) {
    if (!in_vm()) {
        GTEST_SKIP() << "sets the time of day, which it does in VMs alone";
    }
    auto load = workers(4);
    Tracer tracer({"0", "-w", "-o", path("live"), "--record", path("x.rec"), "-d", "4"});
    ASSERT_TRUE(tracer.attached()) << tracer.stderr_text();
    sleep_ns(1'000'000'000);
    timespec now{};
    ::clock_gettime(CLOCK_REALTIME, &now);
    now.tv_sec -= 3600;
    ASSERT_EQ(::clock_settime(CLOCK_REALTIME, &now), 0);
    ASSERT_EQ(tracer.join(), 0) << tracer.stderr_text();
    const auto outcome = report({path("x.rec"), "--events", "-w"});
    EXPECT_EQ(outcome.code, 0) << outcome.err;
    expect_same(read_file(path("live")), outcome.out);
}

}  // namespace
}  // namespace rqs::ktest
