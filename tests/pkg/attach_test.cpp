// SPDX-License-Identifier: BSD-2-Clause
// One program of each kind, through ecli: it prints events, or it is refused with one line. Runs on
// the live kernel and, where more can be attached, in the VMs.
#include <arpa/inet.h>
#include <fcntl.h>
#include <gtest/gtest.h>
#include <net/if.h>
#include <netinet/in.h>
#include <sched.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <csignal>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <iostream>
#include <thread>

#include "harness/tracefs.h"
#include "live.h"

namespace rqs::pkgtest {
namespace {

/// On which kernels a program must run. Elsewhere a refusal in one line is as good.
enum class Must {
    run,        ///< on all
    run_in_vm,  ///< on all kernels of the VMs
    try_it,     ///< depends on how the kernel was built and booted
};

struct Case {
    const char* name;
    Must must;
};

std::string directory_of_packages() {
    const char* given = std::getenv("RQS_PACKAGES_DIR");
    return given != nullptr ? std::string(given) + "/attach" : std::string(RQS_ATTACH_PACKAGES);
}

std::string package_named(const std::string& name) {
    return directory_of_packages() + "/" + name + ".json";
}

/// What the programs wait for: naps, system calls, opened files, packets on the loopback.
class Bustle {
  public:
    Bustle() : thread_([this] { run(); }) {}
    Bustle(const Bustle&) = delete;
    Bustle& operator=(const Bustle&) = delete;
    ~Bustle() {
        stop_ = true;
        thread_.join();
    }

  private:
    void run() const {
        const int socket = ::socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
        sockaddr_in address{};
        address.sin_family = AF_INET;
        address.sin_port = htons(9);
        address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
        while (!stop_) {
            std::this_thread::sleep_for(std::chrono::milliseconds(5));
            ::syscall(SYS_getppid);
            ::close(::open("/dev/null", O_RDONLY | O_CLOEXEC));
            (void)::sendto(socket, "x", 1, MSG_DONTWAIT, reinterpret_cast<sockaddr*>(&address),
                           sizeof(address));
        }
        ::close(socket);
    }

    std::atomic<bool> stop_{false};
    std::thread thread_;
};

/// A network of this thread's own with nothing but a loopback, interface 1, that is up.
class OwnNetwork {
  public:
    OwnNetwork() : before_(::open("/proc/thread-self/ns/net", O_RDONLY | O_CLOEXEC)) {
        own_ = before_ >= 0 && ::unshare(CLONE_NEWNET) == 0;
        const int socket = ::socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
        ifreq request{};
        std::strcpy(request.ifr_name, "lo");
        request.ifr_flags = IFF_UP | IFF_RUNNING;
        up_ = ::ioctl(socket, SIOCSIFFLAGS, &request) == 0;
        ::close(socket);
    }
    OwnNetwork(const OwnNetwork&) = delete;
    OwnNetwork& operator=(const OwnNetwork&) = delete;
    ~OwnNetwork() {
        if (own_) {
            EXPECT_EQ(::setns(before_, CLONE_NEWNET), 0);
        }
        ::close(before_);
    }
    [[nodiscard]] bool ready() const { return own_ && up_; }

  private:
    int before_;
    bool own_ = false;
    bool up_ = false;
};

/// The process of attach_target.c, found through PATH as a user's program would be.
class Target {
  public:
    Target() : path_(std::getenv("PATH")) {
        ::setenv("PATH", (directory_of_packages() + ":" + path_).c_str(), 1);
        process_ = harness::spawn({"attach_target"}).process;
    }
    Target(const Target&) = delete;
    Target& operator=(const Target&) = delete;
    ~Target() { ::setenv("PATH", path_.c_str(), 1); }

  private:
    std::string path_;
    harness::Process process_;
};

bool in_vm() {
    return std::getenv("RQS_VM") != nullptr;
}

bool must_run(Must must) {
    return must == Must::run || (must == Must::run_in_vm && in_vm());
}

class Attach : public Live, public ::testing::WithParamInterface<Case> {
  protected:
    void SetUp() override {
        Live::SetUp();
        (void)harness::see_tracefs();  // tracepoints are numbered there
        if (!IsSkipped() && !network_.ready()) {
            ASSERT_EQ(std::getenv("RQS_MUST_RUN"), nullptr) << "no network namespaces";
            GTEST_SKIP() << "no network namespaces here";
        }
    }

    OwnNetwork network_;
    Target target_;
    Bustle bustle_;  // after the network, to be in it
};

TEST_P(Attach, PrintsEventsOrIsRefusedInOneLine) {
    const std::string name = GetParam().name;
    const Outcome outcome = run({ecli(), "run", "-j", package_named(name), "-n", "1", "-d", "30"});
    if (outcome.code == 0 || must_run(GetParam().must)) {
        EXPECT_EQ(outcome.code, 0) << outcome.err;
        const auto events = json_lines(outcome.out);
        ASSERT_EQ(events.size(), 1U) << outcome.out << outcome.err;
        EXPECT_EQ(events[0]["hook"], "hook_" + name);
        return;
    }
    EXPECT_EQ(outcome.code, 1);
    EXPECT_EQ(outcome.out, "");
    EXPECT_EQ(std::count(outcome.err.begin(), outcome.err.end(), '\n'), 1) << outcome.err;
    EXPECT_EQ(outcome.err.rfind("ecli: program on_event (", 0), 0U) << outcome.err;
    EXPECT_NE(outcome.err.find(") cannot run on this kernel: "), std::string::npos) << outcome.err;
    std::cout << name << ": " << outcome.err;
    RecordProperty("refused", outcome.err);
}

INSTANTIATE_TEST_SUITE_P(
    Kinds, Attach,
    ::testing::Values(Case{"raw_tp", Must::run}, Case{"tp_btf", Must::run},
                      Case{"tracepoint", Must::run}, Case{"perf_event", Must::run},
                      Case{"xdp", Must::run}, Case{"uprobe", Must::run_in_vm},
                      Case{"uretprobe", Must::run_in_vm}, Case{"usdt", Must::run_in_vm},
                      Case{"kprobe", Must::run_in_vm}, Case{"kretprobe", Must::run_in_vm},
                      Case{"ksyscall", Must::run_in_vm}, Case{"fentry", Must::run_in_vm},
                      Case{"fexit", Must::run_in_vm}, Case{"kprobe_multi", Must::try_it},
                      Case{"lsm", Must::try_it}, Case{"tc", Must::try_it}),
    [](const auto& one) { return std::string(one.param.name); });

class AttachTwice : public Attach {};

TEST_P(AttachTwice, LeavesTheFirstInItsPlace) {
    const bool xdp = std::string(GetParam().name) == "xdp";
    if (!xdp && in_vm()) {
        GTEST_SKIP() << "tc without a clsact qdisc has room for several";
    }
    const std::string package = package_named(GetParam().name);
    Program first({ecli(), "run", "-j", package});
    ASSERT_TRUE(first.await_output());
    const Outcome second = run({ecli(), "run", "-j", package, "-n", "1", "-d", "30"});
    EXPECT_EQ(second.code, 1) << second.out;
    EXPECT_EQ(std::count(second.err.begin(), second.err.end(), '\n'), 1) << second.err;
    EXPECT_NE(second.err.find(xdp ? "network interface 1 has an XDP program already"
                                  : "has a filter of this handle and priority already"),
              std::string::npos)
        << second.err;
    std::this_thread::sleep_for(std::chrono::milliseconds(500));
    first.send(SIGINT);
    const Outcome outcome = harness::outcome_of(first);
    EXPECT_EQ(outcome.code, 0) << outcome.err;
    EXPECT_GT(lines_of(outcome.out).size(), 10U) << "it went on";
    if (xdp) {
        const Program killed({ecli(), "run", "-j", package});
        std::this_thread::sleep_for(std::chrono::milliseconds(500));
    }
    // What they leave is free again, whether interrupted or killed.
    EXPECT_EQ(run({ecli(), "run", "-j", package, "-n", "1", "-d", "30"}).code, 0);
}

INSTANTIATE_TEST_SUITE_P(Network, AttachTwice,
                         ::testing::Values(Case{"xdp", Must::run}, Case{"tc", Must::try_it}),
                         [](const auto& one) { return std::string(one.param.name); });

}  // namespace
}  // namespace rqs::pkgtest
