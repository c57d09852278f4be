// SPDX-License-Identifier: BSD-2-Clause
// Output::create_file(): what `-o FILE` writes to.
#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <string>
#include <utility>

#include "util/folder_for_test.h"
#include "util/output.h"

namespace rqs::util {
namespace {

using ::testing::HasSubstr;

class OutputFile : public ::testing::Test {
  protected:
    [[nodiscard]] std::string text_of(const std::string& name) const {
        std::ostringstream text;
        text << std::ifstream(dir_ / name).rdbuf();
        return text.str();
    }
    [[nodiscard]] std::string message_for(const std::string& name) const {
        const auto failed = Output::create_file(dir_ / name);
        return failed ? "" : failed.error().message;
    }
    FolderForTest temporary_;
    std::filesystem::path dir_ = temporary_.path();
};

TEST_F(OutputFile, IsCreatedOrEmptiedAndClosedAtTheEnd) {
    std::ofstream(dir_ / "old") << "what was there before";
    for (const char* name : {"old", "new"}) {
        auto made = Output::create_file(dir_ / name);
        ASSERT_TRUE(made) << made.error().message;
        Output out = std::move(*made);
        EXPECT_EQ(text_of(name), "");
        EXPECT_EQ(::fcntl(out.fd(), F_GETFD), FD_CLOEXEC);
        out.buffer() = "one\n";
        ASSERT_TRUE(out.flush());
        EXPECT_EQ(text_of(name), "one\n");
        out.buffer() = "two\n";
        ASSERT_TRUE(out.finish());
        EXPECT_TRUE(out.closed());
        EXPECT_EQ(::fcntl(out.fd(), F_GETFD), -1);
        EXPECT_TRUE(out.finish());
        EXPECT_EQ(text_of(name), "one\ntwo\n");
    }
    struct stat info {};
    ASSERT_EQ(::stat((dir_ / "new").c_str(), &info), 0);
    EXPECT_EQ(info.st_mode & 07133U, 0U);  // and what the umask takes away
}

TEST_F(OutputFile, ThatCannotBeCreatedIsAnErrorThatHelps) {
    EXPECT_THAT(message_for("no/such"), HasSubstr("create its directory or name another file"));
    EXPECT_THAT(message_for("no/\x1b[31m"), HasSubstr("no/\\x1b[31m'"));
    std::filesystem::create_directory(dir_ / "directory");
    EXPECT_THAT(message_for("directory"), HasSubstr("Is a directory; name a file in it"));
}

TEST_F(OutputFile, OnAFullDiskIsAnErrorThatHelpsAndIsRemembered) {
    if (::access("/dev/full", W_OK) != 0) {
        GTEST_SKIP() << "there is no /dev/full here";
    }
    auto out = Output::create_file("/dev/full");
    ASSERT_TRUE(out);
    out->buffer() = "does not fit";
    EXPECT_FALSE(out->finish());
    EXPECT_TRUE(out->finish()) << "the same error is not returned twice";
    ASSERT_TRUE(out->error());
    EXPECT_EQ(out->error()->message,
              "cannot write to '/dev/full': No space left on device; free some space or write to "
              "another disk");
}

}  // namespace
}  // namespace rqs::util
