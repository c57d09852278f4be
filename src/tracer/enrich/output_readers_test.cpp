// SPDX-License-Identifier: BSD-2-Clause
#include "enrich/output_readers.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <csignal>
#include <cstdint>
#include <cstdlib>
#include <functional>

#include "util/fd.h"

namespace rqs {
namespace {

struct Pipe {
    util::Fd read_end;
    util::Fd write_end;
};

Pipe make_pipe() {
    std::array<int, 2> ends{};
    EXPECT_EQ(::pipe2(ends.data(), O_CLOEXEC), 0);
    return {util::Fd(ends[0]), util::Fd(ends[1])};
}

/// A child in this process group that arranges its descriptors and then sleeps until the end.
class Child {
  public:
    explicit Child(const std::function<void()>& arrange) {
        const Pipe ready = make_pipe();
        pid_ = ::fork();
        if (pid_ == 0) {
            ::prctl(PR_SET_PDEATHSIG, SIGKILL);
            arrange();
            (void)!::write(ready.write_end.get(), "x", 1);
            while (true) {
                ::pause();
            }
        }
        char byte = 0;
        EXPECT_EQ(::read(ready.read_end.get(), &byte, 1), 1);
    }
    Child(const Child&) = delete;
    Child& operator=(const Child&) = delete;
    ~Child() {
        ::kill(pid_, SIGKILL);
        ::waitpid(pid_, nullptr, 0);
    }
    [[nodiscard]] bool is_reader_of(int fd) const {
        return output_readers(fd, util::Procfs()).contains(static_cast<std::uint32_t>(pid_));
    }

  private:
    pid_t pid_ = -1;
};

TEST(OutputReaders, WhoHoldsTheReadEndOfThePipe) {
    const Pipe pipe = make_pipe();
    const Child reader([&] { ::close(pipe.write_end.get()); });
    EXPECT_TRUE(reader.is_reader_of(pipe.write_end.get()));
}

TEST(OutputReaders, NotWhoCanOnlyWrite) {
    const Pipe pipe = make_pipe();
    const Child writer([&] { ::close(pipe.read_end.get()); });
    EXPECT_FALSE(writer.is_reader_of(pipe.write_end.get()));
}

TEST(OutputReaders, NotWhoHasNeitherEndOrAnotherPipe) {
    const Pipe pipe = make_pipe();
    const Pipe other = make_pipe();
    const Child stranger([&] {
        ::close(pipe.read_end.get());
        ::close(pipe.write_end.get());
    });
    EXPECT_FALSE(stranger.is_reader_of(pipe.write_end.get()));
    EXPECT_TRUE(stranger.is_reader_of(other.write_end.get()));
}

TEST(OutputReaders, NotWhoIsInAnotherProcessGroup) {
    const Pipe pipe = make_pipe();
    const Child elsewhere([] { ::setpgid(0, 0); });
    EXPECT_FALSE(elsewhere.is_reader_of(pipe.write_end.get()));
}

TEST(OutputReaders, NeverThisProcess) {
    const Pipe pipe = make_pipe();
    const auto readers = output_readers(pipe.write_end.get(), util::Procfs());
    EXPECT_FALSE(readers.contains(static_cast<std::uint32_t>(::getpid())));
}

TEST(OutputReaders, WhoHoldsATerminalsMaster) {
    const util::Fd master(::posix_openpt(O_RDWR | O_NOCTTY | O_CLOEXEC));
    if (!master.valid() || ::grantpt(master.get()) != 0 || ::unlockpt(master.get()) != 0) {
        GTEST_SKIP() << "there are no pseudo-terminals here";
    }
    const util::Fd terminal(::open(::ptsname(master.get()), O_RDWR | O_NOCTTY | O_CLOEXEC));
    ASSERT_TRUE(terminal.valid());
    const Child emulator([&] { ::close(terminal.get()); });
    const Child shell([&] { ::close(master.get()); });
    EXPECT_TRUE(emulator.is_reader_of(terminal.get()));
    EXPECT_FALSE(shell.is_reader_of(terminal.get()));
}

TEST(OutputReaders, NobodyReadsAFileOrWhatIsClosed) {
    const util::Fd null(::open("/dev/null", O_RDWR | O_CLOEXEC));
    const Child holder([] {});
    EXPECT_TRUE(output_readers(null.get(), util::Procfs()).empty());
    EXPECT_TRUE(output_readers(-1, util::Procfs()).empty());
}

// A reader that hides its descriptors (another user's) is not found, and nothing fails.
TEST(OutputReaders, WithoutProcNobodyIsFound) {
    const Pipe pipe = make_pipe();
    const Child reader([] {});
    EXPECT_TRUE(output_readers(pipe.write_end.get(), util::Procfs("/nonexistent")).empty());
}

}  // namespace
}  // namespace rqs
