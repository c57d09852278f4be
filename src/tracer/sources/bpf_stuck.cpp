// SPDX-License-Identifier: BSD-2-Clause
#include "sources/bpf_stuck.h"

#include <fmt/format.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstring>

#include "contract/wire.h"
#include "decode/cpu_decoder.h"

namespace rqs {
namespace {

constexpr std::uint64_t look_every_ns = 500'000'000;

}  // namespace

Result<StuckFinder> StuckFinder::make(BpfObject& object) {
    auto proof = object.open_waiting_tasks();
    if (!proof) {
        return tl::unexpected(proof.error());
    }
    return StuckFinder(object);
}

Status StuckFinder::look(std::uint64_t now_ns, WaitOrder& order) {
    if (now_ns < next_ns_) {
        return {};
    }
    next_ns_ = now_ns + look_every_ns;
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
                order.add(stuck);
            }
        }
    }
    return {};
}

}  // namespace rqs
