// SPDX-License-Identifier: BSD-2-Clause
#include "enrich/impossible_filters.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <string>

#include "util/folder_for_test.h"

namespace rqs {
namespace {

namespace fs = std::filesystem;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

/// Process 100 with a second thread 101 in /web/front, process 200 in /batch, CPUs 0 to 2 of 4.
class ImpossibleFilters : public ::testing::Test {
  protected:
    ImpossibleFilters() {
        put("cpu/online", "0-2\n");
        put("proc/self/mountinfo",
            "30 25 0:26 / " + (root_ / "cg").string() + " rw - cgroup2 cgroup2 rw\n");
        fs::create_directories(root_ / "cg/web/front");
        fs::create_directories(root_ / "cg/batch");
        add_task(100, 100, "/web/front");
        add_task(101, 100, "/web/front");
        add_task(200, 200, "/batch");
    }
    void put(const std::string& name, const std::string& text) const {
        fs::create_directories((root_ / name).parent_path());
        std::ofstream(root_ / name) << text;
    }
    void add_task(int tid, int pid, const std::string& cgroup) const {
        const std::string directory = "proc/" + std::to_string(tid) + "/";
        put(directory + "status", "Name:\tx\nTgid:\t" + std::to_string(pid) + "\n");
        put(directory + "cgroup", "4:cpu:/elsewhere\n0::" + cgroup + "\n");
    }
    std::vector<std::string> lines() {
        return impossible_filters(options_, util::Procfs((root_ / "proc").string()),
                                  util::Procfs((root_ / "cpu").string()));
    }

    util::FolderForTest temporary_;
    fs::path root_ = temporary_.path();
    TraceOptions options_;
    Filters& filters_ = options_.source.filters;
};

TEST_F(ImpossibleFilters, SaysNothingOfWhatCanMatch) {
    EXPECT_THAT(lines(), IsEmpty());
    filters_.tids = {101};
    EXPECT_THAT(lines(), IsEmpty());
    filters_.pids = {100, 200};
    filters_.cpus = {0, 2};
    EXPECT_THAT(lines(), IsEmpty());
    filters_.cgroup_path = root_ / "cg/web";
    EXPECT_THAT(lines(), IsEmpty());
}

TEST_F(ImpossibleFilters, ThreadOfNoProcessThatIsAskedFor) {
    filters_.pids = {200};
    filters_.tids = {101, 200};
    EXPECT_THAT(lines(), ElementsAre(HasSubstr("101 is a thread of process 100")));
    filters_.tids = {7};  // gone by now: nothing is known of it
    EXPECT_THAT(lines(), IsEmpty());
}

TEST_F(ImpossibleFilters, WhoeverIsOlderThanTheCommand) {
    options_.run.command = {"make"};
    EXPECT_THAT(lines(), IsEmpty());
    filters_.pids = {100, 200};
    filters_.tids = {101};
    EXPECT_THAT(lines(),
                ElementsAre(HasSubstr("--pid: process 100 is older than the command"),
                            HasSubstr("--pid: process 200"), HasSubstr("--tid: thread 101")));
    options_.run.command.clear();
    EXPECT_THAT(lines(), IsEmpty());
}

TEST_F(ImpossibleFilters, ProcessesOutsideOfTheCgroup) {
    filters_.pids = {100, 200};
    for (const char* directory : {"cg/web", "cg/web/", "cg/batch/../web/front"}) {
        filters_.cgroup_path = root_ / directory;
        EXPECT_THAT(lines(), ElementsAre(HasSubstr("process 200 is in the cgroup '/batch'")))
            << directory;
    }
    filters_.cgroup_path = root_ / "cg";
    EXPECT_THAT(lines(), IsEmpty()) << "the root holds all";
    fs::create_directories(root_ / "cg/bat");
    filters_.cgroup_path = root_ / "cg/bat";
    EXPECT_THAT(lines(), ElementsAre(HasSubstr("process 100"), HasSubstr("process 200")));
    filters_.tids = {200};
    EXPECT_THAT(lines(), ElementsAre(HasSubstr("thread 200")));
    filters_.cgroup_path = root_ / "cg/gone";
    EXPECT_THAT(lines(), IsEmpty());
}

TEST_F(ImpossibleFilters, AMountOfAPartIsSeenFromItsRoot) {
    put("proc/self/mountinfo",
        "30 25 0:26 / /nowhere rw - cgroup2 cgroup2 rw\n"
        "31 25 0:26 /web " +
            (root_ / "part").string() + " rw - cgroup2 cgroup2 rw\n");
    fs::create_directories(root_ / "part/front");
    filters_.pids = {100, 200};
    filters_.cgroup_path = root_ / "part/front";
    EXPECT_THAT(lines(), ElementsAre(HasSubstr("process 200")));
}

TEST_F(ImpossibleFilters, NamesOfCgroupsAreNotTrusted) {
    add_task(200, 200, "/\x1b[31m");
    filters_.pids = {200};
    filters_.cgroup_path = root_ / "cg/web";
    EXPECT_THAT(lines(), ElementsAre(HasSubstr("'/\\x1b[31m'")));
}

TEST_F(ImpossibleFilters, CpusThatAreOffline) {
    filters_.cpus = {1, 3};
    EXPECT_THAT(lines(),
                ElementsAre(HasSubstr("CPU 3 is offline: at the moment nothing runs there (online: "
                                      "0-2)")));
    put("cpu/online", "");
    EXPECT_THAT(lines(), IsEmpty()) << "not known";
}

}  // namespace
}  // namespace rqs
