// SPDX-License-Identifier: BSD-2-Clause
#include "util/new_file.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>

#include "util/folder_for_test.h"

namespace rqs::util {
namespace {

namespace fs = std::filesystem;

class NewFileTest : public testing::Test {
  protected:
    static void write(const fs::path& where, const std::string& text) {
        std::ofstream(where) << text;
    }
    static std::string content(const fs::path& where) {
        std::ifstream file(where);
        return {std::istreambuf_iterator<char>(file), {}};
    }
    [[nodiscard]] auto files() const {
        return std::distance(fs::directory_iterator(directory), fs::directory_iterator());
    }

    FolderForTest temporary;
    fs::path directory = temporary.path();
    fs::path path = directory / "out";
};

TEST_F(NewFileTest, IsThereOnceItIsPublished) {
    {
        auto file = NewFile::create(path);
        ASSERT_TRUE(file) << file.error().message;
        write(file->temporary_path(), "whole");
        EXPECT_FALSE(fs::exists(path));
        ASSERT_TRUE(file->publish());
    }
    EXPECT_EQ(content(path), "whole");
    EXPECT_EQ(files(), 1);
}

TEST_F(NewFileTest, GoesWhereItIsNotPublished) {
    {
        auto file = NewFile::create(path);
        ASSERT_TRUE(file);
        const NewFile moved = std::move(*file);
        write(moved.temporary_path(), "half");
    }
    EXPECT_EQ(files(), 0);
}

TEST_F(NewFileTest, ReplacesNothing) {
    write(path, "somebody's");
    const auto refused = NewFile::create(path);
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().message,
              "cannot create '" + path.string() + "': File exists; remove it or name another file");
    fs::remove(path);
    fs::create_symlink("nowhere", path);
    EXPECT_FALSE(NewFile::create(path));
    EXPECT_EQ(files(), 1);
}

TEST_F(NewFileTest, ReplacesNothingThatCameMeanwhile) {
    {
        auto file = NewFile::create(path);
        ASSERT_TRUE(file);
        write(path, "somebody's");
        const auto refused = file->publish();
        ASSERT_FALSE(refused);
        EXPECT_NE(refused.error().message.find("File exists"), std::string::npos);
    }
    EXPECT_EQ(content(path), "somebody's");
    EXPECT_EQ(files(), 1);
}

TEST_F(NewFileTest, SaysWhyItCannotBeMade) {
    const auto refused = NewFile::create(directory / "no" / "out");
    ASSERT_FALSE(refused);
    EXPECT_NE(refused.error().message.find("create its directory"), std::string::npos);
}

}  // namespace
}  // namespace rqs::util
