// SPDX-License-Identifier: BSD-2-Clause
// When waits were lost, on which CPU and why, in bounded memory whatever is lost.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "model/event.h"

namespace rqs {

/// Losses that follow each other closely are one. Where there are too many, what is apart less than
/// twice as long is joined too, and so on; when not even that helps, CPUs are no longer told apart.
/// A loss is never forgotten nor counted under another reason.
class LossTimeline {
  public:
    /// `most`: at least one for each reason.
    explicit LossTimeline(std::size_t most = 1000) : most_(most) {}

    void add(const Loss& loss);

    /// In order of time. The cpu of a loss is Loss::any_cpu where CPUs are not told apart.
    [[nodiscard]] std::vector<Loss> losses() const;

  private:
    static constexpr std::uint64_t first_distance_ns = 100'000'000;

    [[nodiscard]] bool joins(const Loss& before, const Loss& next) const;
    bool join_last(const Loss& loss);
    void join_all();
    void make_room();

    std::size_t most_;
    std::vector<Loss> losses_;
    std::uint64_t distance_ns_ = first_distance_ns;  ///< what is so far apart is joined
    bool by_cpu_ = true;
};

}  // namespace rqs
