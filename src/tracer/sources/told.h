// SPDX-License-Identifier: BSD-2-Clause
// What was told, and when.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <unordered_map>

namespace rqs {

/// Ids that are to be told when they come up, and again a second later. Forgotten as a whole when
/// they are too many.
class Told {
  public:
    static constexpr std::size_t most = 16384;
    static constexpr std::uint64_t again_ns = 1'000'000'000;

    /// Whether it is to be told now; if so it counts as told.
    bool is_due(std::uint64_t id, std::uint64_t now_ns);
    /// It could not be told.
    void forget(std::uint64_t id);
    [[nodiscard]] std::size_t size() const { return when_.size(); }

  private:
    struct Recent {
        std::uint64_t id = 0;
        std::uint64_t told_ns = 0;
    };
    Recent& recent(std::uint64_t id) { return recent_.at(id % recent_.size()); }

    std::unordered_map<std::uint64_t, std::uint64_t> when_;
    /// A part of the same, which is asked at each switch: at a fixed place, in one line of the
    /// processor's cache.
    std::array<Recent, 1024> recent_{};
};

}  // namespace rqs
