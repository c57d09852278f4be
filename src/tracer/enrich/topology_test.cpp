// SPDX-License-Identifier: BSD-2-Clause
#include "enrich/topology.h"

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
using ::testing::IsEmpty;

class Topology : public ::testing::Test {
  protected:
    void put(const std::string& name, const std::string& text) const {
        fs::create_directories((root_ / name).parent_path());
        std::ofstream(root_ / name) << text;
    }
    void put_cpu(int cpu, const std::string& core, const std::string& package) const {
        const std::string directory = "cpu/cpu" + std::to_string(cpu) + "/topology/";
        put(directory + "core_id", core);
        put(directory + "physical_package_id", package);
    }
    [[nodiscard]] util::Procfs system() const { return util::Procfs(root_.string()); }

    util::FolderForTest temporary_;
    fs::path root_ = temporary_.path();
};

TEST_F(Topology, SaysWhereEachCpuThatIsOnlineLies) {
    put("cpu/online", "0-1,4\n");
    put_cpu(0, "0\n", "0\n");
    put_cpu(1, "1\n", "0\n");
    put_cpu(4, "0\n", "1\n");
    put("node/online", "0-2\n");
    put("node/node0/cpulist", "0-3\n");
    put("node/node1/cpulist", "4-7\n");
    put("node/node2/cpulist", "\n");  // memory alone
    EXPECT_THAT(read_topology(system()),
                ElementsAre(CpuPlace{0, 0, 0, 0}, CpuPlace{1, 1, 0, 0}, CpuPlace{4, 0, 1, 1}));
}

TEST_F(Topology, WhatTheKernelDoesNotSayIsMinusOne) {
    put("cpu/online", "0-1\n");
    put_cpu(0, "-1\n", "0 and more\n");
    EXPECT_THAT(read_topology(system()),
                ElementsAre(CpuPlace{0, -1, -1, -1}, CpuPlace{1, -1, -1, -1}));
}

TEST_F(Topology, IsEmptyWhereNothingIsSaid) {
    EXPECT_THAT(read_topology(system()), IsEmpty());
    put("cpu/online", "some\n");
    EXPECT_THAT(read_topology(system()), IsEmpty());
}

TEST_F(Topology, KnowsThisMachine) {
    const auto places = read_topology();
    if (places.empty()) {
        GTEST_SKIP() << "no /sys here";
    }
    EXPECT_EQ(places.size(), cpu_numbers(system_devices(), "cpu/online").size());
    EXPECT_GE(cpu_numbers(system_devices(), "cpu/possible").size(), places.size());
}

}  // namespace
}  // namespace rqs
