// SPDX-License-Identifier: BSD-2-Clause
// A program under test: started, fed, listened to, stopped.
#pragma once

#include <sys/types.h>

#include <string>
#include <vector>

namespace rqs::pkgtest {

using Words = std::vector<std::string>;

struct Outcome {
    int exit_code = -1;  ///< 128 + signal if one ended it
    std::string out;
    std::string err;
};

struct Start {
    std::string input;        ///< standard input
    bool nobody = false;      ///< without privileges
    std::size_t lines = 0;    ///< close stdout after so many lines, as head does; 0: never
    int interrupt_after = 0;  ///< seconds after the first output until SIGINT; 0: never
};

/// Runs it to its end; kills it after a minute.
Outcome run(const Words& words, const Start& start = {});

/// A program that runs beside the test.
class Background {
  public:
    explicit Background(const Words& words);
    Background(const Background&) = delete;
    Background& operator=(const Background&) = delete;
    ~Background();

    /// Waits until it printed something to stdout; false after a minute.
    bool wait_for_output();
    void interrupt() const;
    Outcome join();

  private:
    pid_t pid_ = -1;
    int out_ = -1;
    int err_ = -1;
    std::string first_;
};

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
