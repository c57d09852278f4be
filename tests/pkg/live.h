// SPDX-License-Identifier: BSD-2-Clause
// What tests on the live kernel share: fixtures that know where they can run, and reading what
// ecli printed.
#pragma once

#include <gtest/gtest.h>
#include <sys/types.h>

#include <atomic>
#include <nlohmann/json.hpp>
#include <string>
#include <thread>
#include <vector>

#include "program.h"

namespace rqs::pkgtest {

/// Packages that the build made: these tests need ecli, the packages and a kernel, so that they
/// run in the VMs too.
class Live : public ::testing::Test {
  protected:
    void SetUp() override;
};

/// Programs that are compiled for the test: these need ecc and clang as well.
class LiveCompiled : public Live {};

/// Where the build put package `name`; below RQS_PACKAGES_DIR on a machine that it was copied to.
std::string package_of(const std::string& name);

/// A package of tests/pkg/programs/`name`.bpf.c, compiled now.
std::string compiled(const Scratch& scratch, const std::string& name, bool header = false);

std::vector<std::string> lines_of(const std::string& text);
std::vector<nlohmann::json> json_lines(const std::string& text);
std::string id(pid_t pid);

/// Calls the kernel now and then, to be seen doing so; on each CPU in turn.
class Caller {
  public:
    Caller();
    Caller(const Caller&) = delete;
    Caller& operator=(const Caller&) = delete;
    ~Caller();

  private:
    std::atomic<bool> stop_{false};
    std::thread thread_;
};

}  // namespace rqs::pkgtest
