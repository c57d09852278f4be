// SPDX-License-Identifier: BSD-2-Clause
#include "sources/live_names.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "enrich/cgroups.h"
#include "enrich/mounts.h"

namespace rqs {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

constexpr std::uint64_t second_ns = 1'000'000'000;
/// Above the highest id that a kernel gives.
constexpr std::uint32_t no_such_pid = 5'000'000;

/// What comes out, in order.
class Taker final : public RecordHandler {
  public:
    void on_switch(const Switch& /*record*/) override { order.emplace_back("switch"); }
    void on_throttle(const ThrottleLook& /*look*/) override { order.emplace_back("throttle"); }
    void on_stuck(const Stuck& /*stuck*/) override { order.emplace_back("stuck"); }
    void on_interval(const Interval& /*interval*/) override { order.emplace_back("interval"); }
    void on_loss(const Loss& /*loss*/) override { order.emplace_back("loss"); }
    void on_clock(const ClockReading& /*reading*/) override { order.emplace_back("clock"); }
    void on_reached(std::uint64_t /*now_ns*/) override { order.emplace_back("reached"); }
    void on_process(const ProcessInfo& info) override {
        processes.push_back(info);
        order.emplace_back("process");
    }
    void on_cgroup(const CgroupInfo& info) override {
        cgroups.push_back(info);
        order.emplace_back("cgroup");
    }
    [[nodiscard]] bool done() const override { return enough; }

    std::vector<ProcessInfo> processes;
    std::vector<CgroupInfo> cgroups;
    std::vector<std::string> order;
    bool enough = false;
};

std::uint32_t own_pid() {
    return static_cast<std::uint32_t>(::getpid());
}

Needs process_names() {
    Needs needs;
    needs.process_names = true;
    return needs;
}

Switch of_processes(std::uint32_t left, std::uint32_t came) {
    Switch record;
    record.task = {left, left, {}};
    if (came != 0) {
        record.came.emplace().task = {came, came, {}};
    }
    return record;
}

/// Names itself for the time of a test.
class Named {
  public:
    explicit Named(const char* name) { set(name); }
    Named(const Named&) = delete;
    Named& operator=(const Named&) = delete;
    ~Named() { set("unit_tests"); }
    static void set(const char* name) { ::prctl(PR_SET_NAME, name); }
};

class LiveNamesTest : public ::testing::Test {
  protected:
    LiveNames& names(const Needs& needs) {
        names_ = std::make_unique<LiveNames>(taker_, needs);
        names_->begin_round(now_ns_);
        return *names_;
    }
    void pass_ns(std::uint64_t ns) {
        now_ns_ += ns;
        names_->begin_round(now_ns_);
    }
    std::uint64_t now_ns_ = 1000 * second_ns;
    Taker taker_;
    std::unique_ptr<LiveNames> names_;
};

TEST_F(LiveNamesTest, ANameComesBeforeWhatMentionsIt) {
    const Named named("rqs-name");
    names(process_names()).on_switch(of_processes(own_pid(), 0));
    EXPECT_THAT(taker_.order, ElementsAre("process", "switch"));
    EXPECT_EQ(taker_.processes[0].pid, own_pid());
    EXPECT_EQ(taker_.processes[0].comm.view(), "rqs-name");
    EXPECT_EQ(taker_.processes[0].ppid, static_cast<std::uint32_t>(::getppid()));
}

TEST_F(LiveNamesTest, BothSidesOfASwitchAreTold) {
    const auto parent = static_cast<std::uint32_t>(::getppid());
    if (parent == 0) {
        GTEST_SKIP() << "the parent is in another pid namespace";
    }
    names(process_names()).on_switch(of_processes(own_pid(), parent));
    ASSERT_THAT(taker_.order, ElementsAre("process", "process", "switch"));
    EXPECT_EQ(taker_.processes[1].pid, parent);
}

TEST_F(LiveNamesTest, StuckTasksAndIntervalsAreNamedToo) {
    LiveNames& live = names(process_names());
    Stuck stuck;
    stuck.task.pid = own_pid();
    live.on_stuck(stuck);
    EXPECT_THAT(taker_.order, ElementsAre("process", "stuck"));
    taker_.order.clear();
    LiveNames& other = names(process_names());
    Interval interval;
    interval.task.pid = own_pid();
    other.on_interval(interval);
    EXPECT_THAT(taker_.order, ElementsAre("process", "interval"));
}

TEST_F(LiveNamesTest, ToldOnceASecondSinceNamesChange) {
    const Named named("before");
    LiveNames& live = names(process_names());
    live.on_switch(of_processes(own_pid(), own_pid()));
    live.on_switch(of_processes(own_pid(), 0));
    Named::set("after");
    pass_ns(second_ns - 1);
    live.on_switch(of_processes(own_pid(), 0));
    ASSERT_EQ(taker_.processes.size(), 1U);
    pass_ns(1);
    live.on_switch(of_processes(own_pid(), 0));
    live.on_switch(of_processes(own_pid(), 0));
    ASSERT_EQ(taker_.processes.size(), 2U);
    EXPECT_EQ(taker_.processes[0].comm.view(), "before");
    EXPECT_EQ(taker_.processes[1].comm.view(), "after");
}

TEST_F(LiveNamesTest, NothingIsToldThatNobodyNeeds) {
    LiveNames& live = names({});
    Switch record = of_processes(own_pid(), own_pid());
    record.cgroup_id = record.came->cgroup_id = record.came->sched_cgroup_id = 1;
    live.on_switch(record);
    Stuck stuck;
    stuck.task.pid = own_pid();
    stuck.cgroup_id = stuck.sched_cgroup_id = 1;
    live.on_stuck(stuck);
    EXPECT_THAT(taker_.order, ElementsAre("switch", "stuck"));
}

TEST_F(LiveNamesTest, TheIdleTaskAndWhatIsGoneHaveNoName) {
    LiveNames& live = names(process_names());
    live.on_switch(of_processes(0, no_such_pid));
    EXPECT_THAT(taker_.order, ElementsAre("switch"));
}

// No more than so many files are read at once; who came too late is told after a while.
TEST_F(LiveNamesTest, ManyNewOnesAtOnceAreToldLittleByLittle) {
    LiveNames& live = names(process_names());
    for (std::uint32_t i = 0; i < ProcessNames::reads_per_period; ++i) {
        live.on_switch(of_processes(no_such_pid + i, 0));
    }
    live.on_switch(of_processes(own_pid(), 0));
    EXPECT_THAT(taker_.processes, IsEmpty());
    pass_ns(ReadBudget::period_ns);
    live.on_switch(of_processes(own_pid(), 0));
    EXPECT_EQ(taker_.processes.size(), 1U);
}

TEST_F(LiveNamesTest, CgroupsAreToldOnceForAllThatNameThem) {
    const auto mounts = read_mounts(util::Procfs());
    const auto mount =
        cpu_controller_is_v1() ? find_cgroup_v1(mounts, "cpu") : find_cgroup_v2(mounts);
    struct stat root {};
    if (!mount || mount->root != "/" || ::stat(mount->point.c_str(), &root) != 0) {
        GTEST_SKIP() << "the hierarchy of the cpu controller is not mounted as a whole";
    }
    Needs needs;
    needs.cgroup_names = true;
    LiveNames& live = names(needs);
    Switch record = of_processes(own_pid(), own_pid());
    record.cgroup_id = record.came->sched_cgroup_id = root.st_ino;
    record.came->cgroup_id = 0;
    live.on_switch(record);
    live.on_switch(record);
    ASSERT_THAT(taker_.order, ElementsAre("cgroup", "switch", "switch"));
    EXPECT_EQ(taker_.cgroups[0].id, root.st_ino);
    EXPECT_EQ(taker_.cgroups[0].path, "/");
    EXPECT_FALSE(taker_.cgroups[0].of_v2);
    pass_ns(second_ns);
    live.on_switch(record);
    EXPECT_EQ(taker_.cgroups.size(), 2U);
    // The same id in the v2 hierarchy is another cgroup, where there are two.
    const std::size_t before = taker_.cgroups.size();
    record.came->cgroup_id = root.st_ino;
    live.on_switch(record);
    const bool two = cpu_controller_is_v1() && find_cgroup_v2(mounts).has_value();
    ASSERT_EQ(taker_.cgroups.size(), before + (two ? 1U : 0U));
    EXPECT_EQ(taker_.cgroups.back().of_v2, two);
}

TEST_F(LiveNamesTest, EverythingElseIsPassedOn) {
    LiveNames& live = names(process_names());
    live.on_throttle({});
    live.on_loss({});
    live.on_clock({});
    live.on_reached(5);
    EXPECT_THAT(taker_.order, ElementsAre("throttle", "loss", "clock", "reached"));
    EXPECT_FALSE(live.done());
    taker_.enough = true;
    EXPECT_TRUE(live.done());
}

}  // namespace
}  // namespace rqs
