// SPDX-License-Identifier: BSD-2-Clause
// What works on this machine, what does not, and what to do about it, in plain words.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "util/error.h"
#include "util/procfs.h"

namespace rqs {

/// `no`: does not work. `unknown`: cannot be told from here, or a matter to know about.
enum class Mark { ok, no, unknown };

/// One line of the doctor's.
struct Finding {
    Mark mark = Mark::unknown;
    std::string_view subject;
    std::string text;
    std::string advice;  ///< what to do; empty where nothing is to be done
};

/// What the doctor looks at. A test gives directories and answers of its own.
struct Patient {
    util::Procfs procfs;
    std::string sys_root = "/sys";
    std::string kernel;                          ///< release and architecture
    std::optional<std::uint64_t> memlock_bytes;  ///< RLIMIT_MEMLOCK; nothing: unlimited
    /// Makes and maps a small ring as the tracer does: 0 or an errno.
    std::function<int()> try_ring;
    /// Loads and attaches the hook and takes it away again.
    std::function<Status()> try_load;
};

/// Every check, one row each, in the order of printing; the proof by loading is the last.
std::vector<Finding> examine(const Patient& patient);

/// Appends the findings and a verdict to `out`. Returns the exit code: 0 where live tracing works.
int print_findings(const std::vector<Finding>& findings, std::string& out);

/// examine(), of this machine.
std::vector<Finding> examine_machine(const std::function<Status()>& try_load);

/// The command: prints what examine_machine() finds on standard output.
Result<int> run_doctor();

}  // namespace rqs
