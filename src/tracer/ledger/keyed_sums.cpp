// SPDX-License-Identifier: BSD-2-Clause
#include "ledger/keyed_sums.h"

#include <bit>

#include "util/hash.h"

namespace rqs {

KeyedSums::KeyedSums(std::size_t capacity, Order order)
    : mask_(capacity - 1),
      entries_(capacity),
      slots_(capacity * 2),
      links_(order == Order::none ? 0 : capacity),
      tree_(order == Order::none ? 0 : capacity + 1) {}

// The slot that holds the key, or the free one where it would stand. Half of all are free.
std::size_t KeyedSums::slot_of(std::uint64_t key) const {
    const std::size_t mask = slots_.size() - 1;
    std::size_t slot = util::hash(key) & mask;
    while (slots_[slot] != 0 && entries_[slots_[slot] - 1].key != key) {
        slot = (slot + 1) & mask;
    }
    return slot;
}

// What stands behind a freed slot moves up, unless it stands where its hash wants it: a search that
// ends at the free slot must not miss it.
void KeyedSums::erase_slot(std::size_t slot) {
    const std::size_t mask = slots_.size() - 1;
    std::size_t hole = slot;
    for (std::size_t next = (hole + 1) & mask; slots_[next] != 0; next = (next + 1) & mask) {
        const std::size_t home = util::hash(entries_[slots_[next] - 1].key) & mask;
        if (((next - home) & mask) >= ((next - hole) & mask)) {
            slots_[hole] = slots_[next];
            hole = next;
        }
    }
    slots_[hole] = 0;
}

void KeyedSums::take_from_order(std::uint64_t position) {
    if (links_.empty()) {
        return;
    }
    const Link link = links_[index(position)];
    (link.newer == no_link ? head_ : links_[link.newer].older) = link.older;
    if (link.older != no_link) {
        links_[link.older].newer = link.newer;
    }
    count(position, -1);
}

// As the newest of all.
void KeyedSums::put_in_order(std::uint64_t position) {
    if (links_.empty()) {
        return;
    }
    const auto place = static_cast<std::uint32_t>(index(position));
    links_[place] = {no_link, head_};
    if (head_ != no_link) {
        links_[head_].newer = place;
    }
    head_ = place;
    count(position, 1);
}

void KeyedSums::count(std::uint64_t position, int change) {
    for (std::size_t i = index(position) + 1; i < tree_.size(); i += i & (~i + 1)) {
        tree_[i] += static_cast<std::uint32_t>(change);
    }
}

void KeyedSums::forget(std::uint64_t position) {
    if (!remembers(position)) {
        return;
    }
    const auto place = static_cast<std::uint32_t>(index(position));
    Entry& entry = entries_[place];
    const std::size_t slot = slot_of(entry.key);
    if (slots_[slot] == place + 1) {  // it was the newest of its key
        erase_slot(slot);
        take_from_order(position);
    }
    entry.position = none;
}

void KeyedSums::add(std::uint64_t position, std::uint64_t key, std::uint64_t amount) {
    const std::uint64_t capacity = mask_ + 1;
    const std::uint64_t oldest = position >= mask_ ? position - mask_ : 0;
    for (; oldest_ < oldest && oldest_ < next_; ++oldest_) {
        forget(oldest_);
    }
    oldest_ = oldest;
    if (position >= next_ + capacity) {
        next_ = position;  // all was forgotten
    }
    const auto place = static_cast<std::uint32_t>(index(position));
    const std::size_t slot = slot_of(key);
    Entry entry{position, key, amount, 0, none, none, 1};
    if (slots_[slot] != 0) {
        const Entry& back = entries_[slots_[slot] - 1];
        entry.before = back.before + back.amount;
        entry.back = back.position;
        entry.jump = back.position;
        if (remembers(back.jump) && at(back.jump).span == back.span) {
            entry.jump = at(back.jump).jump;
            entry.span = back.span * 2 + 1;
        }
        take_from_order(back.position);
    }
    entries_[place] = entry;
    slots_[slot] = place + 1;
    put_in_order(position);
    next_ = position + 1;
}

std::uint64_t KeyedSums::newest(std::uint64_t key) const {
    const std::uint32_t place = slots_[slot_of(key)];
    return place == 0 ? none : entries_[place - 1].position;
}

std::uint64_t KeyedSums::since(std::uint64_t key, std::uint64_t from) const {
    const std::uint64_t newest_position = newest(key);
    if (newest_position == none || newest_position < from) {
        return 0;
    }
    const Entry& last = at(newest_position);
    const Entry* first = &last;
    // The oldest of the key's entries that is not before `from`.
    while (true) {
        if (first->jump != none && first->jump >= from && first->jump >= oldest_) {
            first = &at(first->jump);
        } else if (first->back != none && first->back >= from && first->back >= oldest_) {
            first = &at(first->back);
        } else {
            break;
        }
    }
    return last.before + last.amount - first->before;
}

void KeyedSums::keys_since(std::uint64_t from, std::size_t most,
                           std::vector<std::uint64_t>& keys) const {
    for (std::uint32_t place = head_;
         place != no_link && entries_[place].position >= from && keys.size() < most;
         place = links_[place].older) {
        keys.push_back(entries_[place].key);
    }
}

std::size_t KeyedSums::count_since(std::uint64_t from) const {
    const auto below = [this](std::size_t end) {  // newest entries at the places before `end`
        std::size_t sum = 0;
        for (std::size_t i = end; i > 0; i &= i - 1) {
            sum += tree_[i];
        }
        return sum;
    };
    if (next_ <= from) {
        return 0;
    }
    const std::size_t first = index(from);
    const std::size_t end = index(next_ - 1) + 1;
    // A circle: from `first` to `end`, or round the end of the array.
    return first < end ? below(end) - below(first) : below(mask_ + 1) - below(first) + below(end);
}

}  // namespace rqs
