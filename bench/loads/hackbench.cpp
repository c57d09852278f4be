// SPDX-License-Identifier: BSD-2-Clause
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <atomic>
#include <cerrno>
#include <csignal>
#include <cstring>
#include <memory>
#include <thread>
#include <vector>

#include "bench/loads/loads.h"

namespace rqs::bench {
namespace {

constexpr std::size_t per_side = 10;
constexpr std::size_t message_bytes = 100;
constexpr int buffer_bytes = 4096;

/// Shared between all processes, one line of the cache each.
struct alignas(64) Slot {
    std::atomic<std::uint64_t> messages;
};

/// Memory that children share with their parent: slot 0 says "go", the rest count per receiver.
class SharedSlots {
  public:
    explicit SharedSlots(std::size_t count) : bytes_(count * sizeof(Slot)), count_(count) {
        void* memory =
            ::mmap(nullptr, bytes_, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
        slots_ = memory == MAP_FAILED ? nullptr : static_cast<Slot*>(memory);
    }
    SharedSlots(const SharedSlots&) = delete;
    SharedSlots& operator=(const SharedSlots&) = delete;
    ~SharedSlots() {
        if (slots_ != nullptr) {
            ::munmap(slots_, bytes_);
        }
    }

    [[nodiscard]] bool valid() const { return slots_ != nullptr; }
    Slot& operator[](std::size_t index) { return slots_[index]; }
    [[nodiscard]] std::uint64_t total() const {
        std::uint64_t sum = 0;
        for (std::size_t i = 1; i < count_; ++i) {
            sum += slots_[i].messages.load(std::memory_order_relaxed);
        }
        return sum;
    }

  private:
    std::size_t bytes_;
    std::size_t count_;
    Slot* slots_ = nullptr;
};

[[noreturn]] void receive(int fd, std::atomic<std::uint64_t>& counter) {
    std::array<char, message_bytes> message{};
    std::uint64_t bytes = 0;
    for (;;) {
        const ssize_t got = ::read(fd, message.data(), message.size());
        if (got <= 0) {
            ::_exit(0);
        }
        bytes += static_cast<std::uint64_t>(got);
        counter.store(bytes / message_bytes, std::memory_order_relaxed);
    }
}

[[noreturn]] void send(const std::vector<int>& receivers, const std::atomic<std::uint64_t>& go) {
    const std::array<char, message_bytes> message{};
    while (go.load(std::memory_order_relaxed) == 0) {
        ::usleep(1000);
    }
    for (;;) {
        for (const int fd : receivers) {
            if (::write(fd, message.data(), message.size()) <= 0) {
                ::_exit(0);
            }
        }
    }
}

/// Processes that end with this object.
class Children {
  public:
    Children() = default;
    Children(const Children&) = delete;
    Children& operator=(const Children&) = delete;
    ~Children() {
        for (const pid_t pid : pids_) {
            ::kill(pid, SIGKILL);
        }
        for (const pid_t pid : pids_) {
            ::waitpid(pid, nullptr, 0);
        }
    }

    template <typename Body>
    Status start(Body body) {
        const pid_t pid = ::fork();
        if (pid < 0) {
            return fail(std::string("cannot start a process: ") + std::strerror(errno));
        }
        if (pid == 0) {
            ::prctl(PR_SET_PDEATHSIG, SIGKILL);
            body();
        }
        pids_.push_back(pid);
        return {};
    }

  private:
    std::vector<pid_t> pids_;
};

Status start_group(Children& children, SharedSlots& slots, std::size_t first_slot) {
    std::vector<int> write_ends;
    for (std::size_t i = 0; i < per_side; ++i) {
        std::array<int, 2> pair{};
        if (::socketpair(AF_UNIX, SOCK_STREAM, 0, pair.data()) != 0) {
            return fail(std::string("cannot make a socket pair: ") + std::strerror(errno));
        }
        // Small buffers: senders and receivers block often, so that it is scheduling that is
        // loaded.
        const int bytes = buffer_bytes;
        ::setsockopt(pair[1], SOL_SOCKET, SO_SNDBUF, &bytes, sizeof(bytes));
        auto& counter = slots[first_slot + i].messages;
        if (Status ok = children.start([&] { receive(pair[0], counter); }); !ok) {
            return ok;
        }
        ::close(pair[0]);
        write_ends.push_back(pair[1]);
    }
    for (std::size_t i = 0; i < per_side; ++i) {
        if (Status ok = children.start([&] { send(write_ends, slots[0].messages); }); !ok) {
            return ok;
        }
    }
    for (const int fd : write_ends) {
        ::close(fd);
    }
    return {};
}

}  // namespace

Status hackbench(const LoadOptions& options) {
    const std::size_t groups = options.tasks == 0 ? 2 : options.tasks;
    SharedSlots slots{1 + groups * per_side};
    if (!slots.valid()) {
        return fail("cannot share memory between the processes of hackbench");
    }
    Children children;
    for (std::size_t group = 0; group < groups; ++group) {
        if (const Status ok = start_group(children, slots, 1 + group * per_side); !ok) {
            return ok;
        }
    }
    if (const Status go = wait_for_start(); !go) {
        return go;
    }
    const auto begin = Clock::now();
    slots[0].messages.store(1, std::memory_order_relaxed);
    std::this_thread::sleep_for(options.duration);
    const auto elapsed = Clock::now() - begin;
    return finish({slots.total(), elapsed});
}

}  // namespace rqs::bench
