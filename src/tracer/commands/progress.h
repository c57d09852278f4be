// SPDX-License-Identifier: BSD-2-Clause
// How a recording goes, on a terminal: one line that is written over once a second.
#pragma once

#include <cstdint>

namespace rqs {

class Keeper;

class Progress {
  public:
    /// `wanted` false, or standard error is no terminal: nothing is ever shown.
    Progress(const Keeper& keeper, std::uint64_t began_ns, bool wanted);
    Progress(const Progress&) = delete;
    Progress& operator=(const Progress&) = delete;
    /// Takes the line away.
    ~Progress();

    void show(std::uint64_t now_ns);

  private:
    const Keeper& keeper_;
    std::uint64_t began_ns_;
    std::uint64_t shown_ns_ = 0;
    std::uint64_t switches_ = 0;  // that were there then
    bool wanted_;
    bool shown_ = false;
};

}  // namespace rqs
