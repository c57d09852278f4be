// SPDX-License-Identifier: BSD-2-Clause
#include "commands/workload.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sched.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <csignal>
#include <cstring>
#include <ctime>
#include <optional>
#include <thread>

namespace rqs {
namespace {

using std::chrono::microseconds;

/// What each thread of a process does for ever: compute, then sleep (0: never).
struct Role {
    const char* name;
    int threads;
    microseconds work;
    microseconds sleep;
    bool in_step;  ///< all threads sleep until the same moments, multiples of `sleep`
};

/// Two hogs alone make each other wait for a slice, a few ms. Twice a second three more come at
/// once: then whoever is queued waits for several slices, longer than the default threshold, but
/// not so often that a screen could not be read.
constexpr std::array<Role, 3> roles{{
    {"demo-hog", 2, microseconds(100'000), microseconds(0), false},
    {"demo-batch", 3, microseconds(12'000), microseconds(500'000), true},
    {"demo-web", 3, microseconds(1'500), microseconds(43'000), false},
}};

/// The CPU time of this thread, so that a share of the CPU does not shorten the work.
microseconds thread_time() {
    timespec now{};
    ::clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
    return std::chrono::duration_cast<microseconds>(std::chrono::seconds(now.tv_sec) +
                                                    std::chrono::nanoseconds(now.tv_nsec));
}

[[noreturn]] void play(const Role& role) {
    for (;;) {
        const microseconds end = thread_time() + role.work;
        while (thread_time() < end) {
        }
        if (role.in_step) {
            const auto since_start = std::chrono::steady_clock::now().time_since_epoch();
            std::this_thread::sleep_for(role.sleep - since_start % role.sleep);
        } else if (role.sleep.count() > 0) {
            std::this_thread::sleep_for(role.sleep);
        }
    }
}

/// Leaves nothing of the tool open in here: a pipe kept open would keep its reader waiting.
void drop_descriptors() {
    const int null = ::open("/dev/null", O_RDWR);
    for (const int fd : {STDIN_FILENO, STDOUT_FILENO, STDERR_FILENO}) {
        ::dup2(null, fd);
    }
    // Not there before 5.9: then what is open stays open, which only costs memory.
    (void)::close_range(STDERR_FILENO + 1, ~0U, 0);
}

/// The tool's handlers and masks are not for us.
void reset_signals() {
    for (const int signal : {SIGINT, SIGTERM, SIGHUP, SIGQUIT, SIGALRM}) {
        ::signal(signal, SIG_DFL);
    }
    sigset_t none;
    ::sigemptyset(&none);
    ::sigprocmask(SIG_SETMASK, &none, nullptr);
}

[[noreturn]] void run_process(const Role& role, unsigned cpu, pid_t parent,
                              std::chrono::seconds lifetime) {
    reset_signals();
    ::prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (::getppid() != parent) {
        ::_exit(0);  // it was gone before we said so
    }
    ::alarm(static_cast<unsigned>(lifetime.count()));
    drop_descriptors();
    ::prctl(PR_SET_NAME, role.name);
    cpu_set_t one;
    CPU_ZERO(&one);
    CPU_SET(cpu, &one);
    ::sched_setaffinity(0, sizeof one, &one);
    for (int i = 1; i < role.threads; ++i) {
        std::thread(play, role).detach();
    }
    play(role);
}

/// The last CPU that this thread may run on; nothing where that cannot be told.
std::optional<unsigned> last_allowed_cpu() {
    cpu_set_t allowed;
    CPU_ZERO(&allowed);
    if (::sched_getaffinity(0, sizeof allowed, &allowed) != 0) {
        return std::nullopt;
    }
    for (unsigned cpu = CPU_SETSIZE; cpu-- > 0;) {
        if (CPU_ISSET(cpu, &allowed)) {
            return cpu;
        }
    }
    return std::nullopt;
}

}  // namespace

Workload::Workload(std::chrono::seconds lifetime) : lifetime_(lifetime) {}

Workload::~Workload() {
    stop();
}

Status Workload::start() {
    const auto cpu = last_allowed_cpu();
    if (!cpu) {
        return fail(fmt::format("cannot tell which CPUs may be used: {}", std::strerror(errno)));
    }
    cpu_ = *cpu;
    const pid_t self = ::getpid();
    for (const Role& role : roles) {
        const pid_t pid = ::fork();
        if (pid == 0) {
            run_process(role, cpu_, self, lifetime_);
        }
        if (pid < 0) {
            const int error = errno;
            stop();
            return fail(fmt::format("cannot start the demo's workload: {}", std::strerror(error)));
        }
        pids_.push_back(pid);
    }
    return {};
}

void Workload::stop() {
    for (const pid_t pid : pids_) {
        ::kill(pid, SIGKILL);
    }
    for (const pid_t pid : pids_) {
        while (::waitpid(pid, nullptr, 0) < 0 && errno == EINTR) {
        }
    }
    pids_.clear();
}

}  // namespace rqs
