// SPDX-License-Identifier: BSD-2-Clause
#include "sources/stuck_news.h"

#include <algorithm>

namespace rqs {
namespace {

// Two looks at one wait put its beginning within this; the other CPU's clock may be a tick old.
constexpr std::uint64_t same_wait_ns = 50'000'000;

}  // namespace

void StuckNews::begin_look() {
    std::erase_if(seen_, [this](const auto& entry) { return entry.second.look != looks_; });
    ++looks_;
}

bool StuckNews::is_news(const Stuck& stuck) {
    const std::uint64_t began = stuck.ts_ns - std::min(stuck.ts_ns, stuck.waiting_ns);
    Seen& seen = seen_[stuck.task.tid];
    if (seen.look == 0 || began > seen.began_ns + same_wait_ns) {
        seen = {began, 0, looks_};
    }
    seen.look = looks_;
    if (stuck.waiting_ns < seen.report_at_ns) {
        return false;
    }
    seen.report_at_ns = stuck.waiting_ns * 2;
    return true;
}

}  // namespace rqs
