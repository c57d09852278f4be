// SPDX-License-Identifier: BSD-2-Clause
// The programs under test, and the files that they are given.
#pragma once

#include <string>

#include "harness/program.h"

namespace rqs::pkgtest {

using harness::Outcome;
using harness::Program;
using harness::run;
using harness::Words;

/// What `--version` prints for the example runqslower: as its source says in `@version`.
std::string example_version();

std::string ecc();
std::string ecli();

/// A directory that vanishes with the object.
class Scratch {
  public:
    Scratch();
    Scratch(const Scratch&) = delete;
    Scratch& operator=(const Scratch&) = delete;
    ~Scratch();
    [[nodiscard]] std::string path(const std::string& name) const { return path_ + "/" + name; }

  private:
    std::string path_;
};

void write_file(const std::string& path, const std::string& content);
std::string read_file(const std::string& path);

/// Whether this user may load BPF programs; tests of the live kernel are skipped otherwise.
bool may_trace();

}  // namespace rqs::pkgtest
