// SPDX-License-Identifier: BSD-2-Clause
#include "enrich/namespaces.h"

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

/// The /proc of a process that runs on the machine itself.
class Namespaces : public ::testing::Test {
  protected:
    Namespaces() {
        fs::create_directories(root_ / "self/ns");
        set("pid", "pid:[4026531836]");
        set("time", "time:[4026531834]");
    }
    void set(const std::string& kind, const std::string& target) const {
        fs::remove(root_ / "self/ns" / kind);
        fs::create_symlink(target, root_ / "self/ns" / kind);
    }
    void set_offsets(const std::string& text) const {
        std::ofstream(root_ / "self/timens_offsets") << text;
    }
    [[nodiscard]] util::Procfs procfs() const { return util::Procfs(root_.string()); }

    util::FolderForTest temporary_;
    fs::path root_ = temporary_.path();
};

TEST_F(Namespaces, NothingIsSaidOnTheMachineItself) {
    set_offsets("monotonic           5         0\n");
    EXPECT_TRUE(in_initial_pid_namespace(procfs()));
    EXPECT_TRUE(in_initial_time_namespace(procfs()));
    EXPECT_EQ(monotonic_offset_ns(procfs()), 0);
    EXPECT_THAT(namespace_notes(procfs()), IsEmpty());
}

TEST_F(Namespaces, SaysWhatAContainersIdsMean) {
    set("pid", "pid:[4026532999]");
    EXPECT_FALSE(in_initial_pid_namespace(procfs()));
    EXPECT_TRUE(in_initial_time_namespace(procfs()));
    EXPECT_THAT(namespace_notes(procfs()), ElementsAre(HasSubstr("pids and tids in the output")));
}

TEST_F(Namespaces, SaysHowFarClocksAreApart) {
    set("time", "time:[4026532999]");
    set_offsets("monotonic       86400 500000000\nboottime   7 0\n");
    EXPECT_EQ(monotonic_offset_ns(procfs()), 86'400'500'000'000);
    EXPECT_THAT(namespace_notes(procfs()), ElementsAre(HasSubstr("86400.500 s behind")));
    set_offsets("monotonic          -2 500000000\n");
    EXPECT_EQ(monotonic_offset_ns(procfs()), -1'500'000'000);
    EXPECT_THAT(namespace_notes(procfs()), ElementsAre(HasSubstr("1.500 s ahead of")));
    set_offsets("");
    EXPECT_EQ(monotonic_offset_ns(procfs()), 0);
    EXPECT_THAT(namespace_notes(procfs()), ElementsAre(HasSubstr("CLOCK_MONOTONIC;")));
}

TEST_F(Namespaces, OldKernelsHaveOneTimeNamespace) {
    fs::remove(root_ / "self/ns/time");
    EXPECT_EQ(time_namespace(procfs()), Namespace::initial);
    fs::remove(root_ / "self/ns/pid");
    EXPECT_EQ(time_namespace(procfs()), Namespace::unknown);
    EXPECT_EQ(pid_namespace(procfs()), Namespace::unknown);
    EXPECT_THAT(namespace_notes(procfs()), IsEmpty());
}

}  // namespace
}  // namespace rqs
