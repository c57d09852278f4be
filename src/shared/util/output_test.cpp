// SPDX-License-Identifier: BSD-2-Clause
#include "util/output.h"

#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/ioctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <chrono>
#include <csignal>
#include <cstdlib>
#include <filesystem>
#include <string>
#include <string_view>
#include <thread>

#include "util/folder_for_test.h"

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

    /// As large as it may become: what follows does not depend on when that happens.
    std::size_t enlarge() {
        (void)::fcntl(writer(), F_SETPIPE_SZ, 1 << 20);
        return size();
    }
    [[nodiscard]] std::size_t size() const {
        return static_cast<std::size_t>(::fcntl(ends_[1], F_GETPIPE_SZ));
    }
    /// The bytes in it.
    [[nodiscard]] std::size_t held() const {
        int bytes = 0;
        EXPECT_EQ(::ioctl(reader(), FIONREAD, &bytes), 0);
        return static_cast<std::size_t>(bytes);
    }
    /// At most `most` of what is in it.
    [[nodiscard]] std::string read_some(std::size_t most) const {
        std::string some(std::min(most, held()), '\0');
        EXPECT_EQ(::read(reader(), some.data(), some.size()), static_cast<ssize_t>(some.size()));
        return some;
    }

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
    EXPECT_TRUE(out.finish());
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
    const std::string text = numbers(std::size_t{4} << 20);  // many times what a pipe holds
    Output out(pipe.writer());
    out.buffer() = text;
    std::string read;
    std::thread reader([&] { read = pipe.read_all(); });
    EXPECT_TRUE(out.finish());
    pipe.close_writer();
    reader.join();
    EXPECT_FALSE(out.closed());
    EXPECT_TRUE(read == text);
}

TEST(Output, AReaderThatLeavesAFullNonBlockingPipeEndsIt) {
    Pipe pipe;
    ASSERT_EQ(::fcntl(pipe.writer(), F_SETFL, O_NONBLOCK), 0);
    Output out(pipe.writer());
    out.buffer() = numbers(std::size_t{4} << 20);
    std::thread reader([&] {
        std::array<char, 100> some{};
        EXPECT_GT(::read(pipe.reader(), some.data(), some.size()), 0);
        pipe.close_reader();
    });
    EXPECT_TRUE(out.finish());
    reader.join();
    EXPECT_TRUE(out.closed());
}

/// The end of an output in a thread of its own, which waits because the pipe is full.
class Stalled {
  public:
    Stalled() : room(pipe.enlarge()), out_(pipe.writer()) {
        out_.give_up_when([this] { return asked.load(); });
        out_.buffer() = text;
        writer_ = std::thread([this] {
            status = out_.finish();
            ended = true;
            pipe.close_writer();
        });
        while (pipe.held() < room && !ended) {
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
    [[nodiscard]] bool closed() const { return out_.closed(); }

    Pipe pipe;
    std::size_t room;
    const std::string text = numbers(std::size_t{4} << 20);
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
                             std::to_string(stalled.text.size() - stalled.room) + " bytes are lost";
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
    const FolderForTest folder;
    const std::string path = folder / "out";
    const int fd = ::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    ASSERT_GE(fd, 0);
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

TEST(Output, AFlushDoesNotWaitForTheReader) {
    Pipe pipe;
    const std::size_t room = pipe.enlarge();
    const std::string text = numbers(room + 100'000);
    Output out(pipe.writer());
    out.buffer() = text;
    ASSERT_TRUE(out.flush());  // hangs if it waits: nobody reads
    EXPECT_TRUE(out.buffer().empty());
    EXPECT_EQ(out.pending(), text.size() - room);
    out.buffer() = "the end\n";
    ASSERT_TRUE(out.flush());
    EXPECT_EQ(out.pending(), text.size() - room + 8);

    std::string read = pipe.read_some(room);
    ASSERT_TRUE(out.finish());
    EXPECT_EQ(out.pending(), 0U);
    pipe.close_writer();
    read += pipe.read_all();
    EXPECT_TRUE(read == text + "the end\n");
}

TEST(Output, KeepsTheOrderHoweverTheReaderReads) {
    Pipe pipe;
    (void)::fcntl(pipe.writer(), F_SETPIPE_SZ, 1 << 20);
    const std::string text = numbers(std::size_t{6} << 20);
    Output out(pipe.writer(), "a test", std::size_t{1} << 21);
    std::string read;
    std::size_t step = 1;
    for (std::size_t at = 0; at < text.size(); at += step) {
        step = 1 + (step * 7919) % 30'011;
        out.buffer() += text.substr(at, step);
        ASSERT_TRUE(out.flush());
        // Less than is written until much has piled up, then everything, and so on.
        read += pipe.read_some(out.pending() > (std::size_t{1} << 20) ? text.size() : step / 2);
        ASSERT_EQ(read.size() + pipe.held() + out.pending(), std::min(at + step, text.size()));
    }
    std::thread reader([&] { read += pipe.read_all(); });
    EXPECT_TRUE(out.finish());
    pipe.close_writer();
    reader.join();
    EXPECT_TRUE(read == text);
}

TEST(Output, NeverHoldsMoreThanItsBoundAndABatch) {
    constexpr std::size_t bound = std::size_t{1} << 19;
    Pipe pipe;
    const std::size_t room = pipe.enlarge();
    const std::string record(1000, 'x');
    const std::size_t total = room + 30 * bound;
    Output out(pipe.writer(), "a test", bound);
    std::size_t most = 0;
    std::size_t most_memory = 0;
    std::size_t read = 0;
    std::thread reader;
    for (std::size_t given = 0; given < total; given += record.size()) {
        if (!reader.joinable() && given > room + bound) {
            // Until here nobody read, and nothing waited. From here on it must, or memory grows.
            EXPECT_GT(out.pending(), bound / 2);
            reader = std::thread([&] { read = pipe.read_all().size(); });
        }
        out.buffer() += record;
        ASSERT_TRUE(out.flush_if_large());
        most = std::max(most, out.pending());
        most_memory = std::max(most_memory, out.capacity());
    }
    EXPECT_LE(most, bound + Output::high_water + record.size());
    EXPECT_LE(most_memory, 2 * (bound + Output::high_water) + 4 * Output::high_water);
    EXPECT_TRUE(out.finish());
    EXPECT_LE(out.capacity(), 5 * Output::high_water);
    pipe.close_writer();
    reader.join();
    EXPECT_GE(read, total);
}

TEST(Output, GivesTheMemoryOfABurstBack) {
    Pipe pipe;
    Output out(pipe.writer());
    std::thread reader([&] { (void)pipe.read_all(); });
    out.buffer() = std::string(std::size_t{8} << 20, 'x');
    ASSERT_TRUE(out.flush());
    EXPECT_LE(out.pending(), Output::default_max_pending);
    EXPECT_LE(out.capacity(), std::size_t{4} << 20);
    ASSERT_TRUE(out.finish());
    EXPECT_LE(out.capacity(), std::size_t{1} << 20);
    pipe.close_writer();
    reader.join();
}

TEST(Output, WaitsForTheReaderAboveItsBound) {
    Pipe pipe;
    const std::size_t room = pipe.enlarge();
    Output out(pipe.writer(), "a test", 10'000);
    out.buffer() = numbers(room + 100'000);
    const std::size_t size = out.buffer().size();
    std::atomic<bool> flushed{false};
    std::thread writer([&] {
        EXPECT_TRUE(out.flush());
        flushed = true;
    });
    std::size_t read = 0;
    while (!flushed && read < 98'000) {  // 23 pages: as much as it waits for, and less than all
        read += pipe.read_some(1000).size();
    }
    writer.join();
    EXPECT_LE(out.pending(), 10'000U);
    EXPECT_GT(out.pending(), 0U);
    EXPECT_EQ(read + pipe.held() + out.pending(), size);
}

TEST(Output, AFullPipeIsMadeLarger) {
    Pipe pipe;
    const std::size_t small = pipe.size();
    Pipe other;
    const std::size_t large = other.enlarge();
    if (large <= small) {
        GTEST_SKIP() << "this user may not enlarge pipes";
    }
    Output out(pipe.writer());
    out.buffer() = "a little";
    ASSERT_TRUE(out.flush());
    EXPECT_EQ(pipe.size(), small);
    out.buffer() = numbers(2 * small);
    ASSERT_TRUE(out.flush());
    EXPECT_EQ(pipe.size(), large);
    EXPECT_EQ(out.pending(), 0U);
}

TEST(Output, LeavesTheOpenFileAsItIs) {
    Pipe pipe;
    const int before = ::fcntl(pipe.writer(), F_GETFL);
    Output out(pipe.writer());
    out.buffer() = numbers(std::size_t{2} << 20);
    ASSERT_TRUE(out.flush());
    EXPECT_EQ(::fcntl(pipe.writer(), F_GETFL), before);
}

TEST(Output, AReaderThatLeftShowsWithoutAWrite) {
    Pipe pipe;
    Output out(pipe.writer());
    EXPECT_FALSE(out.reader_left());
    pipe.close_reader();
    EXPECT_TRUE(out.reader_left());
}

TEST(Output, AReaderThatLeavesWithSomePendingIsAnEnd) {
    Pipe pipe;
    Output out(pipe.writer());
    out.buffer() = numbers(pipe.enlarge() + 100'000);
    ASSERT_TRUE(out.flush());
    EXPECT_GT(out.pending(), 0U);
    pipe.close_reader();
    EXPECT_TRUE(out.finish());
    EXPECT_TRUE(out.closed());
    EXPECT_FALSE(out.error());
    EXPECT_EQ(out.pending(), 0U);
    EXPECT_LE(out.capacity(), std::size_t{1} << 20);
}

/// Ten bytes are too few: what is written fails, with a line that helps.
bool fails_with_advice(Output& out, std::string_view what) {
    (void)std::signal(SIGXFSZ, SIG_IGN);
    const rlimit least{10, RLIM_INFINITY};
    if (::setrlimit(RLIMIT_FSIZE, &least) != 0) {
        return false;
    }
    out.buffer() = "one\ntwo\nlonger than ten bytes\n";
    const auto failed = out.flush();
    return !failed && failed.error().message.starts_with(what);
}

// What others may write to stays as it is: they go on where this one ended.
void write_to_an_inherited_file() {
    std::FILE* file = std::tmpfile();
    if (file == nullptr) {
        std::_Exit(1);
    }
    Output out(::fileno(file), "the report");
    const bool failed =
        fails_with_advice(out, "cannot write to the report: File too large; raise the limit");
    struct stat info {};
    const bool untouched = ::fstat(::fileno(file), &info) == 0 && info.st_size == 10;
    std::_Exit(!failed ? 2 : untouched ? 0 : 3);
}

void write_a_file_of_its_own() {
    const FolderForTest folder;
    const std::string path = folder / "out";
    auto out = Output::create_file(path);
    const bool failed = out && fails_with_advice(*out, "cannot write to '" + path + "': File too");
    struct stat info {};
    const bool whole_lines = ::stat(path.c_str(), &info) == 0 && info.st_size == 8;
    std::filesystem::remove_all(folder.path());
    std::_Exit(!failed ? 2 : whole_lines ? 0 : 3);
}

TEST(OutputDeathTest, AFileTooLargeIsAnErrorThatHelps) {
    EXPECT_EXIT(write_to_an_inherited_file(), ::testing::ExitedWithCode(0), "");
}

TEST(OutputDeathTest, AFileOfItsOwnHasWholeLines) {
    EXPECT_EXIT(write_a_file_of_its_own(), ::testing::ExitedWithCode(0), "");
}

}  // namespace
}  // namespace rqs::util
