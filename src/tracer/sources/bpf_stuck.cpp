// SPDX-License-Identifier: BSD-2-Clause
#include "sources/bpf_stuck.h"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>

#include "contract/wire.h"
#include "decode/cpu_decoder.h"

namespace rqs {
namespace {

using std::chrono::milliseconds;

// Whoever has waited half as long again as the threshold has been seen. A look costs a walk over
// all tasks, so that there are not more of them than a hundred a second.
milliseconds period_for(std::uint64_t min_us) {
    constexpr std::uint64_t us_per_ms = 1000;
    return std::clamp(milliseconds(min_us / 2 / us_per_ms), milliseconds(10), milliseconds(500));
}

}  // namespace

Result<StuckFinder> StuckFinder::make(BpfObject& object, std::uint64_t min_us) {
    auto proof = object.open_waiting_tasks();
    if (!proof) {
        return tl::unexpected(proof.error());
    }
    return StuckFinder(object, period_for(min_us));
}

Status StuckFinder::look(std::uint64_t now_ns, std::deque<Stuck>& found) {
    if (now_ns < next_ns_) {
        return {};
    }
    next_ns_ = now_ns + static_cast<std::uint64_t>(std::chrono::nanoseconds(period_).count());
    news_.begin_look();
    auto fd = object_->open_waiting_tasks();
    if (!fd) {
        return tl::unexpected(fd.error());
    }
    // The kernel hands out whole records only, as many as fit.
    std::array<rqs_stuck, 256> records{};
    while (true) {
        const ssize_t bytes = ::read(fd->get(), records.data(), sizeof(records));
        if (bytes < 0 && (errno == EINTR || errno == EAGAIN)) {
            continue;
        }
        if (bytes < 0) {
            return fail(fmt::format("cannot read the waiting tasks: {}", std::strerror(errno)));
        }
        if (bytes == 0) {
            break;
        }
        for (std::size_t i = 0; i < static_cast<std::size_t>(bytes) / sizeof(rqs_stuck); ++i) {
            const Stuck stuck = decode_stuck(records.at(i));
            if (news_.is_news(stuck)) {
                found.push_back(stuck);
            }
        }
    }
    return {};
}

}  // namespace rqs
