// SPDX-License-Identifier: BSD-2-Clause
#include "import/ring_page.h"

#include <algorithm>

namespace rqs::import {
namespace {

// enum ring_buffer_type: lengths up to the first stand for themselves.
constexpr std::uint32_t type_padding = 29;
constexpr std::uint32_t type_extend = 30;
constexpr std::uint32_t type_stamp = 31;
constexpr unsigned delta_bits = 27;
// Of an absolute stamp the highest bits do not fit, and are those of the time before.
constexpr std::uint64_t stamp_mask = (std::uint64_t{1} << 59) - 1;

// Flags of the page's length.
constexpr std::uint32_t length_mask = (1U << 27) - 1;
constexpr std::uint32_t flag_missed = 1U << 31;
constexpr std::uint32_t flag_missed_stored = 1U << 30;

}  // namespace

bool RingPage::load(ByteView bytes, std::uint8_t long_bytes) {
    Cursor cursor(bytes);
    ts_ns_ = cursor.u64();
    const std::uint32_t commit = cursor.u32();
    (void)cursor.bytes(long_bytes - std::uint64_t{4});
    const std::size_t length = commit & length_mask;
    rest_ = {};
    missed_ = (commit & flag_missed) != 0;
    missed_events_ = 0;
    if (cursor.failed() || length > cursor.rest().size()) {
        return false;
    }
    rest_ = cursor.rest().first(length);
    if (missed_ && (commit & flag_missed_stored) != 0) {
        Cursor behind(cursor.rest().subspan(length));
        missed_events_ = long_bytes == 8 ? behind.u64() : behind.u32();
    }
    return true;
}

std::optional<RingPage::Event> RingPage::next() {
    while (rest_.size() >= sizeof(std::uint32_t)) {
        Cursor cursor(rest_);
        const std::uint32_t head = cursor.u32();
        const std::uint32_t type = head & 31;
        const std::uint64_t delta = head >> 5;
        if (type == type_padding && delta == 0) {
            break;  // nothing follows on this page
        }
        std::uint64_t bytes = std::uint64_t{type} * 4;
        if (type == 0 || type >= type_padding) {
            const std::uint32_t word = cursor.u32();
            if (type == type_extend) {
                ts_ns_ += (std::uint64_t{word} << delta_bits) + delta;
            } else if (type == type_stamp) {
                ts_ns_ = (ts_ns_ & ~stamp_mask) | ((std::uint64_t{word} << delta_bits) + delta);
            } else {
                bytes = std::max<std::uint64_t>(word, 4) - 4;  // it counts itself
            }
        }
        if (type == type_extend || type == type_stamp) {
            rest_ = cursor.rest();
            continue;
        }
        ts_ns_ += delta;
        const ByteView raw = cursor.bytes((bytes + 3) / 4 * 4);
        rest_ = cursor.rest();
        if (cursor.failed()) {
            break;
        }
        if (type != type_padding) {
            return Event{ts_ns_, raw.first(static_cast<std::size_t>(bytes))};
        }
    }
    rest_ = {};
    return std::nullopt;
}

}  // namespace rqs::import
