// SPDX-License-Identifier: BSD-2-Clause
// What makes a flight recorder write: CPU pressure. A long wait it notices itself.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "util/error.h"

namespace rqs {

/// CPU pressure (PSI `some avg10`) of the machine, or of the cgroup v2 directory `cgroup`.
struct PressureTrigger {
    std::string cgroup;
    double percent = 0;
};

/// `20`, or `/sys/fs/cgroup/web.slice:20`. Above 0, at most 100.
Result<PressureTrigger> parse_pressure_trigger(const std::string& word);

class Triggers {
  public:
    /// `words` as on the command line. A pressure that cannot be read is an error.
    static Result<Triggers> make(const std::vector<std::string>& words);

    /// The reason, if there is one now. Pressure is looked at once a second.
    std::optional<std::string> look(std::uint64_t now_ns);

  private:
    std::vector<PressureTrigger> pressures_;
    std::uint64_t looked_ns_ = 0;
};

}  // namespace rqs
