// SPDX-License-Identifier: BSD-2-Clause
// Filters let through what they should and nothing else, alone and together.
#include <gtest/gtest.h>
#include <linux/bpf.h>
#include <sched.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <ctime>
#include <map>
#include <set>
#include <sstream>
#include <string>
#include <vector>

#include "places.h"
#include "roles.h"
#include "situation.h"
#include "tracer.h"
#include "workers.h"

namespace rqs::ktest {
namespace {

using Ids = std::set<std::uint32_t>;

std::string text(pid_t id) {
    return std::to_string(id);
}

std::uint32_t number(pid_t id) {
    return static_cast<std::uint32_t>(id);
}

/// Two processes of three threads each; the second thread of each lives on the scene's CPU.
class Filter : public ::testing::Test {
  protected:
    Filter() {
        pin(scene_cpu(), a_.tid(1));
        pin(scene_cpu(), b_.tid(1));
        pin(quiet_cpu(), a_.tid(0));
        pin(quiet_cpu(), b_.tid(0));
    }
    static Ids tids_of(const Sleepers& process) {
        return {number(process.tid(0)), number(process.tid(1)), number(process.tid(2))};
    }
    static Ids both(Ids one, const Ids& other) {
        one.insert(other.begin(), other.end());
        return one;
    }

    Sleepers a_{{"rqs-filter-a", "rqs-filt-second", "other-name"}};
    Sleepers b_{{"rqs-filter-b", "rqs-filt-secon", "rqs-filt-seconX"}};
};

TEST_F(Filter, OneProcess) {
    EXPECT_EQ(trace_until({"-p", text(a_.pid())}, tids_of(a_)).tids(), tids_of(a_));
}

TEST_F(Filter, TwoProcesses) {
    const Ids all = both(tids_of(a_), tids_of(b_));
    EXPECT_EQ(trace_until({"-p", text(a_.pid()), "--pid", text(b_.pid())}, all).tids(), all);
}

TEST_F(Filter, Threads) {
    const Ids one{number(a_.tid(1))};
    EXPECT_EQ(trace_until({"-t", text(a_.tid(1))}, one).tids(), one);
    const Ids two{number(a_.tid(1)), number(b_.tid(2))};
    EXPECT_EQ(trace_until({"-t", text(a_.tid(1)), "-t", text(b_.tid(2))}, two).tids(), two);
}

TEST_F(Filter, ProcessAndThreadMustBothHold) {
    const Ids one{number(a_.tid(2))};
    EXPECT_EQ(trace_until({"-p", text(a_.pid()), "-t", text(a_.tid(2)), "-t", text(b_.tid(2))}, one)
                  .tids(),
              one);
    const Output none = trace_until({"-p", text(a_.pid()), "-t", text(b_.tid(2))}, {});
    EXPECT_EQ(none.seen, 0U);
}

TEST_F(Filter, NamePrefix) {
    const Ids begin{number(a_.tid(0)), number(b_.tid(0))};
    EXPECT_EQ(trace_until({"-c", "rqs-filter-"}, begin).tids(), begin);
    // All 15 bytes: one letter less, or another one, is another name.
    const Ids whole{number(a_.tid(1))};
    EXPECT_EQ(trace_until({"-c", "rqs-filt-second"}, whole).tids(), whole);
    const Ids shorter{number(a_.tid(1)), number(b_.tid(1)), number(b_.tid(2))};
    EXPECT_EQ(trace_until({"-c", "rqs-filt-secon"}, shorter).tids(), shorter);
}

TEST_F(Filter, NamePrefixThatIsTooLongIsCut) {
    Tracer tracer({"0", "-f", "json", "-c", "rqs-filt-second-and-more"});
    ASSERT_TRUE(tracer.attached());
    EXPECT_TRUE(wait_for([&] { return tracer.line_count() > 3; }));
    const Output output = stop_and_check(tracer);
    EXPECT_EQ(output.tids(), Ids{number(a_.tid(1))});
    EXPECT_NE(tracer.stderr_text().find("15 bytes"), std::string::npos) << tracer.stderr_text();
}

TEST_F(Filter, EmptyNamePrefixIsOff) {
    const Ids all = both(tids_of(a_), tids_of(b_));
    const Ids seen = trace_until({"-c", ""}, all).tids();
    EXPECT_TRUE(std::includes(seen.begin(), seen.end(), all.begin(), all.end()));
}

/// As a list: "0-3".
std::string every_cpu() {
    std::string list = read_file("/sys/devices/system/cpu/possible");
    list.erase(list.find_last_not_of('\n') + 1);
    return list;
}

TEST_F(Filter, Cpus) {
    if (scene_cpu() == quiet_cpu()) {
        GTEST_SKIP() << "needs two CPUs";
    }
    const Ids pinned{number(a_.tid(1)), number(b_.tid(1))};
    const Output one = trace_until({"--cpu", std::to_string(scene_cpu())}, pinned);
    for (const auto& wait : one.waits) {
        ASSERT_EQ(wait.cpu, static_cast<std::uint32_t>(scene_cpu()));
    }
    EXPECT_EQ(one.tids().count(number(a_.tid(0))), 0U);
    const Ids everywhere = both(tids_of(a_), tids_of(b_));
    const Ids seen = trace_until({"--cpu", every_cpu()}, everywhere).tids();
    EXPECT_TRUE(std::includes(seen.begin(), seen.end(), everywhere.begin(), everywhere.end()));
}

TEST_F(Filter, ProcessNameAndCpuTogether) {
    const Ids one{number(a_.tid(1))};
    const Output output = trace_until(
        {"-p", text(a_.pid()), "-c", "rqs-f", "--cpu", std::to_string(scene_cpu())}, one);
    EXPECT_TRUE(output.tids() == one || scene_cpu() == quiet_cpu());
}

/// A cgroup with a child, and a sibling of it; a process in each.
class FilterCgroup : public ::testing::Test {
  protected:
    void SetUp() override {
        if (cgroup2_mount().empty()) {
            GTEST_SKIP() << "no cgroup2 mount";
        }
        ASSERT_TRUE(parent_.made() && nested_.made() && sibling_.made());
        ASSERT_TRUE(parent_.add(in_parent_.pid()) && nested_.add(in_nested_.pid()) &&
                    sibling_.add(in_sibling_.pid()));
    }
    static Ids pid_of(const Sleepers& process) { return {number(process.pid())}; }

    std::string root_ = cgroup2_mount();
    Cgroup parent_{root_ + "/" + unique_name("parent")};
    Cgroup nested_{parent_.path() + "/nested"};
    Cgroup sibling_{root_ + "/" + unique_name("sibling")};
    Sleepers in_parent_{{"rqs-in-parent"}};
    Sleepers in_nested_{{"rqs-in-nested"}};
    Sleepers in_sibling_{{"rqs-in-sibling"}};
};

TEST_F(FilterCgroup, Subtree) {
    const Ids inside{number(in_parent_.pid()), number(in_nested_.pid())};
    const Output output = trace_until({"--cgroup", parent_.path()}, inside);
    EXPECT_EQ(output.pids(), inside);
    for (const auto& wait : output.waits) {
        EXPECT_EQ(wait.cgroup_id,
                  wait.pid == number(in_nested_.pid()) ? nested_.id() : parent_.id());
    }
    EXPECT_EQ(trace_until({"--cgroup", nested_.path()}, pid_of(in_nested_)).pids(),
              pid_of(in_nested_));
    const Ids all{number(in_parent_.pid()), number(in_nested_.pid()), number(in_sibling_.pid())};
    const Ids seen = trace_until({"--cgroup", root_}, all).pids();
    EXPECT_TRUE(std::includes(seen.begin(), seen.end(), all.begin(), all.end()));
}

TEST_F(FilterCgroup, TogetherWithTheOthers) {
    EXPECT_EQ(
        trace_until({"--cgroup", parent_.path(), "-c", "rqs-in-n"}, pid_of(in_nested_)).pids(),
        pid_of(in_nested_));
    EXPECT_EQ(trace_until({"--cgroup", parent_.path(), "-p", text(in_sibling_.pid())}, {}).seen,
              0U);
}

/// While the tracer runs: `id` is put into the map and events begin; it is taken out and they end.
void expect_map_is_followed(const char* option, const Sleepers& inside, const Sleepers& outside,
                            std::uint64_t id, const Tracer::Words& more) {
    const PinnedMap map(BPF_MAP_TYPE_HASH, 8, 8);
    ASSERT_TRUE(map.made()) << "cannot pin a map";
    Tracer::Words words{"0", "-f", "json", option, map.path()};
    words.insert(words.end(), more.begin(), more.end());
    Tracer tracer(words);
    ASSERT_TRUE(tracer.attached()) << tracer.stderr_text();
    sleep_ns(100_ms);
    EXPECT_EQ(tracer.line_count(), 0U) << "an empty map lets nobody through";
    ASSERT_TRUE(map.add(id));
    EXPECT_TRUE(wait_for([&] { return tracer.line_count() > 20; }));
    ASSERT_TRUE(map.remove(id));
    const std::uint64_t removed_ns = now_ns();
    sleep_ns(100_ms);
    const Output output = stop_and_check(tracer);
    EXPECT_EQ(output.pids(), Ids{number(inside.pid())});
    EXPECT_EQ(output.pids().count(number(outside.pid())), 0U);
    for (const auto& wait : output.waits) {
        // 10 ms: it takes the clock's word for nothing finer.
        EXPECT_LT(wait.ts_ns, removed_ns + 10_ms) << "after its id was removed";
    }
}

TEST_F(FilterCgroup, MapChangedWhileRunning) {
    expect_map_is_followed("--cgroupmap", in_nested_, in_parent_, nested_.id(), {});
}

TEST_F(FilterCgroup, MapTogetherWithSubtree) {
    expect_map_is_followed("--cgroupmap", in_nested_, in_sibling_, nested_.id(),
                           {"--cgroup", parent_.path()});
}

TEST(FilterMap, MountNamespace) {
    const auto leave = [] { (void)::unshare(CLONE_NEWNS); };
    const Sleepers inside({"rqs-own-mounts"}, leave);
    const Sleepers outside({"rqs-our-mounts"});
    struct stat info {};
    ASSERT_EQ(::stat(("/proc/" + text(inside.pid()) + "/ns/mnt").c_str(), &info), 0);
    expect_map_is_followed("--mntnsmap", inside, outside, info.st_ino, {});
}

void expect_refused(const Tracer::Words& words, const std::string& why) {
    Tracer tracer(words);
    EXPECT_FALSE(tracer.attached());
    EXPECT_EQ(tracer.join(), 2) << tracer.stderr_text();
    const std::string said = tracer.stderr_text();
    EXPECT_EQ(std::count(said.begin(), said.end(), '\n'), 1) << said;
    EXPECT_NE(said.find(why), std::string::npos) << said;
    EXPECT_EQ(tracer.line_count(), 0U);
}

TEST(FilterMap, OfTheWrongShape) {
    const PinnedMap short_key(BPF_MAP_TYPE_HASH, 4, 8);
    const PinnedMap array(BPF_MAP_TYPE_ARRAY, 4, 8);
    ASSERT_TRUE(short_key.made() && array.made());
    for (const char* option : {"--cgroupmap", "--mntnsmap"}) {
        expect_refused({"0", option, short_key.path()}, option);
        expect_refused({"0", option, array.path()}, option);
        expect_refused({"0", option, "/proc/self/stat"}, option);
        expect_refused({"0", option, short_key.path() + "-not-there"}, option);
    }
}

TEST(FilterMap, ThatIsNoCgroup) {
    expect_refused({"0", "--cgroup", "/"}, "--cgroup");
    expect_refused({"0", "--cgroup", "/not/there"}, "--cgroup");
}

struct Member {
    std::uint32_t pid = 0;
    std::uint64_t waits = 0;
    std::uint64_t run_delay_ns = 0;
};

// From their first instant: what the descendants' own accounts say is all there.
TEST(FilterCommand, AllDescendantsFromTheirBirth) {
    const char* folder = std::getenv("TEST_TMPDIR");
    const std::string path =
        std::string(folder != nullptr ? folder : "/tmp") + "/" + unique_name("tree");
    const Sleepers bystander({"rqs-bystander"});
    Tracer tracer({"0", "-f", "json", "--", self_path(), "--role", "tree", path, "42"});
    const Output output = check(tracer);
    EXPECT_EQ(output.exit_code, 42) << tracer.stderr_text();

    std::map<std::uint32_t, Member> members;
    std::istringstream lines(read_file(path));
    ::unlink(path.c_str());
    std::uint32_t tid = 0;
    Member member;
    while (lines >> member.pid >> tid >> member.waits >> member.run_delay_ns) {
        members[tid] = member;
    }
    ASSERT_EQ(members.size(), 6U) << "three processes of two threads";
    Ids pids;
    for (const auto& [id, each] : members) {
        pids.insert(each.pid);
    }
    EXPECT_EQ(output.pids(), pids);
    for (const auto& [id, each] : members) {
        std::uint64_t sum_ns = 0;
        std::uint64_t waits = 0;
        for (const auto& wait : output.of_tid(static_cast<pid_t>(id))) {
            EXPECT_TRUE(wait.complete) << id;
            sum_ns += wait.stamped ? wait.wait_ns : 0;
            waits += wait.stamped ? 1 : 0;
        }
        // After its account it ends, or waits for its child: few waits more. The tracer, which runs
        // before it, makes some of them, and in an emulated machine more.
        EXPECT_GE(waits, each.waits) << id;
        EXPECT_LE(waits, each.waits + (in_vm() ? 24 : 8)) << id;
        EXPECT_GE(sum_ns, each.run_delay_ns) << id;
    }
}

// Ids in there are not the machine's: others than those meant would be traced.
TEST(FilterCommand, InAPidNamespaceIsRefused) {
    for (const Tracer::Words& words : {Tracer::Words{"0", "--source", "bpf", "-p", "1"},
                                       Tracer::Words{"0", "--source", "bpf", "--", "true"}}) {
        // In there the first child has the id 1.
        Process inside([&] {
            if (::unshare(CLONE_NEWPID) != 0) {
                ::_exit(77);
            }
            const pid_t first = ::fork();
            if (first == 0) {
                Tracer tracer(words);
                const int code = tracer.join();
                const bool said = tracer.stderr_text().find("pid namespace") != std::string::npos;
                ::_exit(code == 1 && said ? 0 : 1);
            }
            ::_exit(reap(first, patience_ns()));
        });
        EXPECT_EQ(inside.join(), 0);
    }
}

/// Seconds since the epoch of a JSON record's `time`.
std::time_t time_of(const std::string& line) {
    const std::string key = R"("time":")";
    const std::size_t at = line.find(key);
    std::tm time{};
    if (at == std::string::npos ||
        ::strptime(line.c_str() + at + key.size(), "%Y-%m-%dT%H:%M:%S", &time) == nullptr) {
        return 0;
    }
    time.tm_isdst = -1;
    return std::mktime(&time);
}

/// What a tracer prints has the time of the machine's clocks.
bool prints_the_right_time() {
    Tracer tracer({"0", "-f", "json", "-n", "5"});
    const int code = tracer.join();
    const auto lines = tracer.lines();
    return code == 0 && lines.size() == 6 &&
           std::abs(time_of(lines.front().text) - std::time(nullptr)) < 600;
}

TEST(FilterNamespace, EventsHaveTheMachinesTime) {
    constexpr int new_time = 0x00000080;  // CLONE_NEWTIME
    const long up_s = static_cast<long>(now_ns() / 1'000'000'000);
    for (const long ahead_s : {100'000L, -up_s / 2}) {
        Process inside([&] {
            const std::string offset = "monotonic " + std::to_string(ahead_s) + " 0";
            if (::unshare(new_time) != 0 || !write_file("/proc/self/timens_offsets", offset)) {
                ::_exit(77);
            }
            // Only children are in it, and until there is one no thread can be made.
            const pid_t first = ::fork();
            if (first == 0) {
                ::_exit(prints_the_right_time() ? 0 : 1);
            }
            ::_exit(reap(first, patience_ns()));
        });
        const int code = inside.join();
        if (code == 77) {
            GTEST_SKIP() << "this kernel has no time namespaces";
        }
        EXPECT_EQ(code, 0) << ahead_s;
    }
}

TEST(FilterCommand, ThatCannotBeRun) {
    Tracer tracer({"0", "--", "/not/there"});
    EXPECT_EQ(tracer.join(), 127);
    EXPECT_NE(tracer.stderr_text().find("/not/there"), std::string::npos);
}

TEST(FilterStop, AfterSoManyEvents) {
    const Sleepers sleepers({"rqs-count"});
    Tracer tracer({"0", "-f", "json", "-p", text(sleepers.pid()), "-n", "25"});
    const Output output = check(tracer);
    EXPECT_EQ(output.exit_code, 0);
    EXPECT_EQ(output.waits.size(), 25U);
    EXPECT_GE(output.seen, 25U);
}

TEST(FilterStop, AfterSomeTime) {
    const Sleepers sleepers({"rqs-duration"});
    Tracer tracer({"0", "-f", "json", "-p", text(sleepers.pid()), "-d", "0.5"});
    const Output output = check(tracer);
    EXPECT_EQ(output.exit_code, 0);
    EXPECT_GE(output.duration_ns, 500'000'000U);
    EXPECT_GT(output.waits.size(), 0U);
}

}  // namespace
}  // namespace rqs::ktest
