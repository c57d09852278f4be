// SPDX-License-Identifier: BSD-2-Clause
#include "live.h"

#include <sched.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <chrono>
#include <cstdlib>
#include <sstream>

namespace rqs::pkgtest {
namespace {

using nlohmann::json;

/// Asks the system for CPU `cpu`, if this process may have it.
void move_to(int cpu) {
    cpu_set_t set;
    CPU_ZERO(&set);
    CPU_SET(static_cast<std::size_t>(cpu), &set);
    (void)::sched_setaffinity(0, sizeof(set), &set);
}

}  // namespace

void Live::SetUp() {
    if (may_trace()) {
        return;
    }
    // In the VMs a test that does not run is a test that failed.
    if (std::getenv("RQS_MUST_RUN") != nullptr) {
        FAIL() << "needs root and the kernel's BTF";
    }
    GTEST_SKIP() << "needs root and the kernel's BTF";
}

std::string package_of(const std::string& name) {
    const char* given = std::getenv("RQS_PACKAGES_DIR");
    return std::string(given != nullptr ? given : RQS_PACKAGES) + "/" + name + "/package.json";
}

std::string compiled(const Scratch& scratch, const std::string& name, bool header) {
    std::string package = scratch.path(name + ".json");
    Words words{ecc(), RQS_PROGRAMS "/" + name + ".bpf.c", "-o", package};
    if (header) {
        words.insert(words.begin() + 2, RQS_PROGRAMS "/" + name + ".h");
    }
    const Outcome outcome = run(words);
    EXPECT_EQ(outcome.code, 0) << outcome.err;
    return package;
}

std::vector<std::string> lines_of(const std::string& text) {
    std::vector<std::string> out;
    std::istringstream stream(text);
    for (std::string line; std::getline(stream, line);) {
        out.push_back(line);
    }
    return out;
}

std::vector<json> json_lines(const std::string& text) {
    std::vector<json> out;
    for (const auto& line : lines_of(text)) {
        out.push_back(json::parse(line));
    }
    return out;
}

std::string id(pid_t pid) {
    return std::to_string(pid);
}

Caller::Caller()
    : thread_([this] {
          const auto cpus = static_cast<int>(std::thread::hardware_concurrency());
          for (int turn = 0; !stop_; ++turn) {
              move_to(cpus > 0 ? turn % cpus : 0);
              ::syscall(SYS_getppid);
              std::this_thread::sleep_for(std::chrono::milliseconds(5));
          }
      }) {}

Caller::~Caller() {
    stop_ = true;
    thread_.join();
}

}  // namespace rqs::pkgtest
