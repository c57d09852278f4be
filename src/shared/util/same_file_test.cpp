// SPDX-License-Identifier: BSD-2-Clause
#include "util/same_file.h"

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>

#include "util/folder_for_test.h"

namespace rqs::util {
namespace {

namespace fs = std::filesystem;

class SameFile : public ::testing::Test {
  protected:
    [[nodiscard]] std::string path(const std::string& name) const { return folder_ + "/" + name; }
    [[nodiscard]] std::string made(const std::string& name) const {
        std::ofstream(path(name)) << name;
        return path(name);
    }

    FolderForTest temporary_;
    std::string folder_ = temporary_.path();
};

TEST_F(SameFile, HasManyNames) {
    const std::string file = made("a");
    fs::create_symlink(file, path("link"));
    fs::create_hard_link(file, path("twin"));
    EXPECT_TRUE(same_file(file, file));
    EXPECT_TRUE(same_file(file, folder_ + "/./a"));
    EXPECT_TRUE(same_file(path("link"), file));
    EXPECT_TRUE(same_file(path("twin"), path("link")));
    EXPECT_FALSE(same_file(file, made("b")));
    EXPECT_FALSE(same_file(file, path("none")));
}

TEST_F(SameFile, NeedNotBeThereYet) {
    EXPECT_TRUE(
        same_file(path("x"), folder_ + "/../" + fs::path(folder_).filename().string() + "/x"));
    EXPECT_FALSE(same_file(path("x"), path("y")));
}

// Whoever names it twice wants nothing kept.
TEST_F(SameFile, IsNoDevice) {
    EXPECT_FALSE(same_file("/dev/null", "/dev/null"));
    EXPECT_FALSE(file_id("/dev/null"));
}

}  // namespace
}  // namespace rqs::util
