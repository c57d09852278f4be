// SPDX-License-Identifier: BSD-2-Clause
#include "util/output.h"

#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <array>
#include <atomic>
#include <chrono>
#include <csignal>
#include <cstdlib>
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

/// A flush in a thread of its own, started when the pipe is already full.
class Stalled {
  public:
    Stalled() : out_(pipe.writer()) {
        out_.give_up_when([this] { return asked.load(); });
        out_.buffer() = text;
        writer_ = std::thread([this] {
            status = out_.flush();
            ended = true;
            pipe.close_writer();
        });
        while (held() < 65536 && !ended) {
            std::this_thread::yield();
        }
    }
    Stalled(const Stalled&) = delete;
    Stalled& operator=(const Stalled&) = delete;
    ~Stalled() { join(); }
    void join() {
        if (writer_.joinable()) {
            writer_.join();
        }
    }
    /// The bytes in the pipe.
    [[nodiscard]] int held() const {
        int bytes = 0;
        return ::ioctl(pipe.reader(), FIONREAD, &bytes) == 0 ? bytes : -1;
    }
    [[nodiscard]] bool closed() const { return out_.closed(); }

    Pipe pipe;
    const std::string text = numbers(std::size_t{1} << 18);
    std::atomic<bool> asked{false};
    std::atomic<bool> ended{false};
    Status status;

  private:
    Output out_;
    std::thread writer_;
};

TEST(Output, AStalledReaderIsGivenUpOnceAskedToStop) {
    Stalled stalled;
    EXPECT_FALSE(stalled.ended);
    stalled.asked = true;
    stalled.join();
    ASSERT_FALSE(stalled.status);
    EXPECT_TRUE(stalled.closed());
    const std::string what = "nobody reads standard output: the last " +
                             std::to_string(stalled.text.size() - 65536) + " bytes are lost";
    EXPECT_EQ(stalled.status.error().message, what);
    EXPECT_EQ(stalled.status.error().code, ExitCode::failure);
}

TEST(Output, ASlowReaderGetsEverythingThoughAskedToStop) {
    Stalled stalled;
    stalled.asked = true;
    std::this_thread::sleep_for(std::chrono::milliseconds(200));
    const std::string read = stalled.pipe.read_all();
    stalled.join();
    EXPECT_TRUE(stalled.status);
    EXPECT_FALSE(stalled.closed());
    EXPECT_TRUE(read == stalled.text);
}

TEST(Output, AFileGetsEverythingAtOnce) {
    std::string path = ::testing::TempDir() + "rqs-output-XXXXXX";
    const int fd = ::mkstemp(path.data());
    ASSERT_GE(fd, 0);
    ::unlink(path.c_str());
    const std::string text = numbers(100'000);
    Output out(fd);
    out.buffer() = text;
    EXPECT_TRUE(out.flush());
    std::string read(text.size() + 1, '\0');
    EXPECT_EQ(::pread(fd, read.data(), read.size(), 0), static_cast<ssize_t>(text.size()));
    read.pop_back();
    EXPECT_TRUE(read == text);
    ::close(fd);
}

}  // namespace
}  // namespace rqs::util
