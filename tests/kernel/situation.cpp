// SPDX-License-Identifier: BSD-2-Clause
#include "situation.h"

#include <fcntl.h>
#include <linux/futex.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <chrono>
#include <climits>
#include <cstdio>
#include <cstdlib>
#include <ctime>

namespace rqs::ktest {
namespace {

constexpr std::uint64_t second_ns = 1'000'000'000;

std::uint64_t clock_ns(clockid_t clock) {
    timespec time{};
    (void)::clock_gettime(clock, &time);
    return static_cast<std::uint64_t>(time.tv_sec) * second_ns +
           static_cast<std::uint64_t>(time.tv_nsec);
}

long futex(std::atomic<std::uint32_t>& word, int operation, std::uint32_t value) {
    static_assert(sizeof(word) == sizeof(std::uint32_t));
    return ::syscall(SYS_futex, &word, operation, value, nullptr, nullptr, 0);
}

Account parse_account(const char* text) {
    unsigned long long ran = 0;
    unsigned long long delay = 0;
    unsigned long long waits = 0;
    // NOLINTNEXTLINE(cert-err34-c): the kernel wrote it
    if (std::sscanf(text, "%llu %llu %llu", &ran, &delay, &waits) != 3) {
        return {};
    }
    return {delay, waits};
}

/// Reads the account of the calling thread again and again without opening it each time.
class OwnAccount {
  public:
    OwnAccount() : fd_(::open("/proc/thread-self/schedstat", O_RDONLY | O_CLOEXEC)) {}
    ~OwnAccount() { ::close(fd_); }
    OwnAccount(const OwnAccount&) = delete;
    OwnAccount& operator=(const OwnAccount&) = delete;

    [[nodiscard]] Account read() const {
        std::array<char, 96> text{};
        const ssize_t length = ::pread(fd_, text.data(), text.size() - 1, 0);
        return length > 0 ? parse_account(text.data()) : Account{};
    }

  private:
    int fd_;
};

}  // namespace

std::uint64_t now_ns() {
    return clock_ns(CLOCK_MONOTONIC);
}

std::uint64_t thread_cpu_ns() {
    return clock_ns(CLOCK_THREAD_CPUTIME_ID);
}

void sleep_ns(std::uint64_t ns) {
    timespec left{static_cast<time_t>(ns / second_ns), static_cast<long>(ns % second_ns)};
    while (::nanosleep(&left, &left) != 0 && errno == EINTR) {
    }
}

bool in_vm() {
    static const bool answer = std::getenv("RQS_VM") != nullptr;
    return answer;
}

std::uint32_t times(std::uint32_t count) {
    return in_vm() ? std::max(count / 10, 1U) : count;
}

std::uint64_t patience_ns() {
    return 30 * second_ns;
}

int scene_cpu() {
    static const int cpu = ::sysconf(_SC_NPROCESSORS_ONLN) > 1 ? 1 : 0;
    return cpu;
}

int quiet_cpu() {
    return 0;
}

bool pin(int cpu, pid_t tid) {
    cpu_set_t set;
    CPU_ZERO(&set);
    CPU_SET(static_cast<std::size_t>(cpu), &set);
    return ::sched_setaffinity(tid, sizeof(set), &set) == 0;
}

void unpin(pid_t tid) {
    cpu_set_t set;
    CPU_ZERO(&set);
    for (std::size_t cpu = 0; cpu < CPU_SETSIZE; ++cpu) {
        CPU_SET(cpu, &set);
    }
    (void)::sched_setaffinity(tid, sizeof(set), &set);
}

bool set_policy(int policy, int priority, pid_t tid) {
    sched_param parameters{};
    parameters.sched_priority = priority;
    return ::sched_setscheduler(tid, policy, &parameters) == 0;
}

void set_name(const char* name) {
    (void)::prctl(PR_SET_NAME, name);
}

void burn_ns(std::uint64_t cpu_ns) {
    const std::uint64_t end = thread_cpu_ns() + cpu_ns;
    while (thread_cpu_ns() < end) {
    }
}

void burn_until(const std::atomic<std::uint32_t>& flag) {
    while (flag.load(std::memory_order_relaxed) == 0) {
    }
}

bool wait_for(const std::function<bool()>& done, std::uint64_t limit_ns) {
    const std::uint64_t end = now_ns() + limit_ns;
    while (!done()) {
        if (now_ns() > end) {
            return false;
        }
        sleep_ns(1_ms);
    }
    return true;
}

void Gate::wait() {
    waiting_.fetch_add(1);
    while (open_.load() == 0) {
        futex(open_, FUTEX_WAIT, 0);
    }
}

void Gate::open() {
    open_.store(1);
    futex(open_, FUTEX_WAKE, INT_MAX);
}

int reap(pid_t pid, std::uint64_t limit_ns) {
    return harness::reap(pid, std::chrono::nanoseconds(limit_ns));
}

Account account_of(pid_t pid, pid_t tid) {
    return parse_account(
        read_file("/proc/" + std::to_string(pid) + "/task/" + std::to_string(tid) + "/schedstat")
            .c_str());
}

bool is_asleep(pid_t pid, pid_t tid) {
    const std::string stat =
        read_file("/proc/" + std::to_string(pid) + "/task/" + std::to_string(tid) + "/stat");
    const std::size_t name_end = stat.rfind(") ");
    return name_end != std::string::npos &&
           (stat[name_end + 2] == 'S' || stat[name_end + 2] == 'D');
}

Reading read_myself() {
    // Far more than the time from a switch to the task's first instruction, which is how far the
    // times of events may be off.
    const std::uint64_t quiet_ns = in_vm() ? 1_ms : 300'000;
    const OwnAccount own;
    while (true) {
        const Account before = own.read();
        const std::uint64_t began = now_ns();
        std::uint64_t now = began;
        while (now < began + quiet_ns) {
            now = now_ns();
        }
        const Account after = own.read();
        if (after.waits == before.waits) {
            return {after, now};
        }
    }
}

std::string temporary_path(const std::string& name) {
    const char* folder = std::getenv("TMPDIR");
    return std::string(folder != nullptr ? folder : "/tmp") + "/rqs-" + std::to_string(::getpid()) +
           "-" + name;
}

std::string read_file(const std::string& path) {
    std::string text;
    const int fd = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
    if (fd < 0) {
        return text;
    }
    std::array<char, 4096> chunk{};
    ssize_t length = 0;
    while ((length = ::read(fd, chunk.data(), chunk.size())) > 0) {
        text.append(chunk.data(), static_cast<std::size_t>(length));
    }
    ::close(fd);
    return text;
}

bool write_file(const std::string& path, const std::string& text) {
    const int fd = ::open(path.c_str(), O_WRONLY | O_CLOEXEC);
    if (fd < 0) {
        return false;
    }
    const bool done = ::write(fd, text.data(), text.size()) == static_cast<ssize_t>(text.size());
    ::close(fd);
    return done;
}

}  // namespace rqs::ktest
