// SPDX-License-Identifier: BSD-2-Clause
#include "util/output.h"

#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <array>
#include <csignal>
#include <string>
#include <thread>

namespace rqs::util {
namespace {

using ::testing::HasSubstr;

/// A pipe whose ends are closed at the end, and a process that survives a broken one.
class Pipe {
  public:
    Pipe() {
        (void)std::signal(SIGPIPE, SIG_IGN);
        EXPECT_EQ(::pipe2(ends_.data(), O_CLOEXEC), 0);
    }
    Pipe(const Pipe&) = delete;
    Pipe& operator=(const Pipe&) = delete;
    ~Pipe() {
        close_reader();
        close_writer();
    }
    void close_reader() { close_end(0); }
    void close_writer() { close_end(1); }
    [[nodiscard]] int reader() const { return ends_[0]; }
    [[nodiscard]] int writer() const { return ends_[1]; }

    /// Everything until the writer's end is closed.
    [[nodiscard]] std::string read_all() const {
        std::string all;
        std::array<char, 4096> some{};
        for (ssize_t got = 0; (got = ::read(reader(), some.data(), some.size())) > 0;) {
            all.append(some.data(), static_cast<std::size_t>(got));
        }
        return all;
    }

  private:
    void close_end(std::size_t end) {
        if (ends_.at(end) >= 0) {
            ::close(ends_.at(end));
            ends_.at(end) = -1;
        }
    }
    std::array<int, 2> ends_{-1, -1};
};

std::string numbers(std::size_t bytes) {
    std::string text;
    for (int i = 0; text.size() < bytes; ++i) {
        text += std::to_string(i) + "\n";
    }
    return text;
}

TEST(Output, WritesWhatWasCollectedInOrder) {
    Pipe pipe;
    Output out(pipe.writer());
    out.buffer() += "one\n";
    ASSERT_TRUE(out.flush());
    EXPECT_TRUE(out.buffer().empty());
    out.buffer() += "two\n";
    out.buffer() += "three\n";
    ASSERT_TRUE(out.flush());
    ASSERT_TRUE(out.flush());
    pipe.close_writer();
    EXPECT_EQ(pipe.read_all(), "one\ntwo\nthree\n");
    EXPECT_FALSE(out.closed());
}

TEST(Output, FlushIfLargeWaitsForALargeBatch) {
    Pipe pipe;
    Output out(pipe.writer());
    out.buffer() = "little";
    ASSERT_TRUE(out.flush_if_large());
    EXPECT_EQ(out.buffer(), "little");
    const std::string large = numbers(std::size_t{1} << 18);
    out.buffer() = large;
    std::string read;
    std::thread reader([&] { read = pipe.read_all(); });
    EXPECT_TRUE(out.flush_if_large());
    EXPECT_TRUE(out.buffer().empty());
    pipe.close_writer();
    reader.join();
    EXPECT_EQ(read, large);
}

TEST(Output, AReaderThatLeftIsAnEndAndNoError) {
    Pipe pipe;
    pipe.close_reader();
    Output out(pipe.writer());
    out.buffer() = "nobody reads this";
    EXPECT_TRUE(out.flush());
    EXPECT_TRUE(out.closed());
    EXPECT_TRUE(out.buffer().empty());
    out.buffer() = "nor this";
    EXPECT_TRUE(out.flush());
    EXPECT_TRUE(out.buffer().empty());
}

TEST(Output, AFullDiskIsAnErrorOnce) {
    const int fd = ::open("/dev/full", O_WRONLY | O_CLOEXEC);
    if (fd < 0) {
        GTEST_SKIP() << "there is no /dev/full here";
    }
    Output out(fd, "the report");
    out.buffer() = "does not fit";
    const auto failed = out.flush();
    ASSERT_FALSE(failed);
    EXPECT_THAT(failed.error().message, HasSubstr("the report"));
    EXPECT_THAT(failed.error().message, HasSubstr("No space left on device"));
    EXPECT_EQ(failed.error().code, ExitCode::failure);
    EXPECT_TRUE(out.closed());
    out.buffer() = "is dropped";
    EXPECT_TRUE(out.flush());
    EXPECT_TRUE(out.buffer().empty());
    ::close(fd);
}

TEST(Output, AClosedDescriptorIsAnError) {
    Output out(-1);
    out.buffer() = "x";
    const auto failed = out.flush();
    ASSERT_FALSE(failed);
    EXPECT_THAT(failed.error().message, HasSubstr("standard output"));
}

TEST(Output, WaitsForRoomInANonBlockingPipe) {
    Pipe pipe;
    ASSERT_EQ(::fcntl(pipe.writer(), F_SETFL, O_NONBLOCK), 0);
    const std::string text = numbers(std::size_t{1} << 20);  // many times what a pipe holds
    Output out(pipe.writer());
    out.buffer() = text;
    std::string read;
    std::thread reader([&] { read = pipe.read_all(); });
    EXPECT_TRUE(out.flush());
    pipe.close_writer();
    reader.join();
    EXPECT_FALSE(out.closed());
    EXPECT_TRUE(read == text);
}

TEST(Output, AReaderThatLeavesAFullNonBlockingPipeEndsIt) {
    Pipe pipe;
    ASSERT_EQ(::fcntl(pipe.writer(), F_SETFL, O_NONBLOCK), 0);
    Output out(pipe.writer());
    out.buffer() = numbers(std::size_t{1} << 20);
    std::thread reader([&] {
        std::array<char, 100> some{};
        EXPECT_GT(::read(pipe.reader(), some.data(), some.size()), 0);
        pipe.close_reader();
    });
    EXPECT_TRUE(out.flush());
    reader.join();
    EXPECT_TRUE(out.closed());
}

}  // namespace
}  // namespace rqs::util
