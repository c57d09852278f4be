// SPDX-License-Identifier: BSD-2-Clause
// A map of at most so many entries: where there is no room, the entry that was not used for longest
// is forgotten.
#pragma once

#include <cstddef>
#include <cstdint>
#include <iterator>
#include <list>
#include <unordered_map>

namespace rqs::util {

/// Pointers to values stay valid until their entry is forgotten, which only add() does.
template <typename Value>
class BoundedCache {
  public:
    /// `capacity` of at least 1.
    explicit BoundedCache(std::size_t capacity) : capacity_(capacity) {}

    [[nodiscard]] std::size_t size() const { return places_.size(); }

    /// The value of `key`, which counts as a use; nullptr where there is none.
    Value* find(std::uint64_t key) {
        const auto found = places_.find(key);
        if (found == places_.end()) {
            return nullptr;
        }
        order_.splice(order_.begin(), order_, found->second);
        return &found->second->value;
    }

    /// The same, but does not count as a use.
    Value* peek(std::uint64_t key) {
        const auto found = places_.find(key);
        return found == places_.end() ? nullptr : &found->second->value;
    }

    /// Adds a key that is not there yet, as just used, and forgets another where that must be.
    Value* add(std::uint64_t key) {
        if (places_.size() >= capacity_) {
            places_.erase(order_.back().key);
            order_.pop_back();
        }
        order_.push_front({key, Value{}});
        places_[key] = order_.begin();
        return &order_.front().value;
    }

    /// Adds a key that nobody asked for yet, as the next to be forgotten; nullptr where there is no
    /// room for it.
    Value* add_unused(std::uint64_t key) {
        if (places_.size() >= capacity_) {
            return nullptr;
        }
        order_.push_back({key, Value{}});
        places_[key] = std::prev(order_.end());
        return &order_.back().value;
    }

  private:
    struct Entry {
        std::uint64_t key;
        Value value;
    };

    std::size_t capacity_;
    std::list<Entry> order_;  // the last one used first
    std::unordered_map<std::uint64_t, typename std::list<Entry>::iterator> places_;
};

}  // namespace rqs::util
