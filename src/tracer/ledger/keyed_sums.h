// SPDX-License-Identifier: BSD-2-Clause
// Sums by key over the last so many entries of a sequence, for any suffix of it.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "util/zeroed_array.h"

namespace rqs {

/// A sequence of (key, amount), of which the last `capacity` are remembered. Answers how much a key
/// has from a position on in O(log n), whatever lies between.
///
/// The entries of a key form a list from the newest back to the oldest. Each also has a jump
/// further back, laid out as in Myers' skew-binary lists: if the two jumps before have the same
/// span, it spans both, else it goes one step. Positions only grow, so what has been forgotten is
/// recognised by its position and never looked at.
class KeyedSums {
  public:
    static constexpr std::uint64_t none = UINT64_MAX;

    /// What is kept beside the sums; it costs twice as much an entry.
    enum class Order {
        none,
        newest_first,  ///< for keys_since() and count_since()
    };

    /// `capacity`: a power of two.
    explicit KeyedSums(std::size_t capacity, Order order = Order::none);

    /// `position` is that of the last entry plus one, or more: positions may be left out.
    void add(std::uint64_t position, std::uint64_t key, std::uint64_t amount);

    /// The amounts of `key` at `from` and later. `from` must be among the last `capacity`
    /// positions.
    [[nodiscard]] std::uint64_t since(std::uint64_t key, std::uint64_t from) const;

    /// The newest position of `key`; `none` where it is not among the remembered.
    [[nodiscard]] std::uint64_t newest(std::uint64_t key) const;

    /// The keys with an entry at `from` or later, the one with the newest first. Stops after
    /// `most`. Needs Order::newest_first.
    void keys_since(std::uint64_t from, std::size_t most, std::vector<std::uint64_t>& keys) const;
    /// How many keys have an entry at `from` or later: O(log n). Needs Order::newest_first.
    [[nodiscard]] std::size_t count_since(std::uint64_t from) const;

    static constexpr std::size_t bytes_per_entry = 96;  ///< memory, about

  private:
    // One that was never written is all zeros, and nobody looks at it: no key's list leads there.
    struct Entry {
        std::uint64_t position;
        std::uint64_t key;
        std::uint64_t amount;
        std::uint64_t before;  // of the key, since its list began
        std::uint64_t back;
        std::uint64_t jump;
        std::uint64_t span;  // entries of the key between this one and its jump
    };
    // The newest entries of all keys are linked, newest first: indexes, or no_link.
    struct Link {
        std::uint32_t newer;
        std::uint32_t older;
    };
    static constexpr std::uint32_t no_link = UINT32_MAX;

    [[nodiscard]] std::size_t index(std::uint64_t position) const { return position & mask_; }
    [[nodiscard]] const Entry& at(std::uint64_t position) const {
        return entries_[index(position)];
    }
    [[nodiscard]] bool remembers(std::uint64_t position) const {
        return position != none && at(position).position == position;
    }
    void forget(std::uint64_t position);
    void take_from_order(std::uint64_t position);
    void put_in_order(std::uint64_t position);
    void count(std::uint64_t position, int change);

    // Where a key's newest entry is: open addressing.
    [[nodiscard]] std::size_t slot_of(std::uint64_t key) const;
    void erase_slot(std::size_t slot);

    std::size_t mask_;
    util::ZeroedArray<Entry> entries_;
    util::ZeroedArray<std::uint32_t> slots_;  // index of an entry plus one; 0 is free
    // Both empty without an order.
    util::ZeroedArray<Link> links_;
    util::ZeroedArray<std::uint32_t> tree_;  // Fenwick: how many newest entries lie where
    std::uint64_t oldest_ = 0;               // none before it is remembered
    std::uint64_t next_ = 0;
    std::uint32_t head_ = no_link;
};

}  // namespace rqs
