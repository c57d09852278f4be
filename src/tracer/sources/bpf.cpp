// SPDX-License-Identifier: BSD-2-Clause
#include "sources/bpf.h"

#include <fmt/format.h>
#include <linux/membarrier.h>
#include <sys/epoll.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <cstring>
#include <thread>
#include <vector>

#include "bpfkit/handles.h"
#include "sources/bpf_object.h"
#include "sources/bpf_rings.h"
#include "sources/bpf_stuck.h"
#include "sources/order.h"
#include "util/clock.h"

namespace rqs {
namespace {

class BpfSource final : public Source {
  public:
    BpfSource(const Options& options, std::optional<pid_t> ancestor)
        : options_(options), ancestor_(ancestor) {}

    Status start() override;
    Status poll(std::chrono::milliseconds timeout, EventHandler& handler) override;
    Status finish(EventHandler& handler) override;
    [[nodiscard]] Counters counters() const override;

  private:
    Status wait_for_doorbell(std::chrono::milliseconds timeout);
    Status drain();

    const Options& options_;
    std::optional<pid_t> ancestor_;
    std::optional<BpfObject> object_;
    std::optional<BpfRings> rings_;
    std::optional<StuckFinder> stuck_;
    bpfkit::RingBufferPtr doorbell_;
    WaitOrder order_;
    std::uint64_t handed_on_ = 0;
    std::chrono::milliseconds pause_{1};
};

int ignore_ring(void*, void*, std::size_t) {
    return 0;
}

Status BpfSource::start() {
    auto object = BpfObject::load(options_, ancestor_);
    if (!object) {
        return tl::unexpected(object.error());
    }
    object_ = std::move(*object);
    auto rings = BpfRings::map(*object_);
    if (!rings) {
        return tl::unexpected(rings.error());
    }
    rings_ = std::move(*rings);
    doorbell_.reset(ring_buffer__new(object_->doorbell_fd(), ignore_ring, nullptr, nullptr));
    if (!doorbell_) {
        return fail(fmt::format("cannot poll the doorbell: {}", bpfkit::describe(errno)));
    }
    if (auto attached = object_->attach(); !attached) {
        return attached;
    }
    rings_->attached_at(util::monotonic_ns());
    if (options_.stuck) {
        auto finder = StuckFinder::make(*object_);
        if (!finder) {
            return tl::unexpected(finder.error());
        }
        stuck_ = std::move(*finder);
    }
    return {};
}

// Adapts between a look every few ms while events flow and a few looks a second while none come;
// the doorbell cuts a pause short when a ring fills up.
Status BpfSource::wait_for_doorbell(std::chrono::milliseconds timeout) {
    constexpr std::chrono::milliseconds longest{200};
    const auto pause = std::min({timeout, pause_, longest});
    const int rang = ring_buffer__poll(doorbell_.get(), static_cast<int>(pause.count()));
    if (rang < 0 && rang != -EINTR) {
        return fail(fmt::format("cannot wait for events: {}", bpfkit::describe(rang)));
    }
    pause_ = std::min(longest, pause_ * 2);
    return {};
}

Status BpfSource::drain() {
    constexpr std::chrono::milliseconds shortest{10};
    const std::size_t before = order_.size();
    auto drained = rings_->drain(order_);
    if (order_.size() != before) {
        pause_ = shortest;
    }
    return drained;
}

Status BpfSource::poll(std::chrono::milliseconds timeout, EventHandler& handler) {
    if (auto waited = wait_for_doorbell(timeout); !waited) {
        return waited;
    }
    const std::uint64_t now_ns = util::monotonic_ns();
    auto drained = drain();
    handed_on_ += order_.release(now_ns - std::min(now_ns, order_window_ns), handler);
    if (drained && stuck_) {
        return stuck_->look(now_ns, order_);
    }
    return drained;
}

// Until what was still running of the programs, on another CPU, has ended.
void wait_for_programs() {
    constexpr std::chrono::milliseconds ample{50};  // they run for microseconds
    // This is synchronize_rcu(), except that kernels with nohz_full refuse it.
    if (::syscall(SYS_membarrier, MEMBARRIER_CMD_GLOBAL, 0, 0) != 0) {
        std::this_thread::sleep_for(ample);
    }
}

Status BpfSource::finish(EventHandler& handler) {
    if (!object_) {
        return {};
    }
    object_->detach();
    wait_for_programs();
    auto drained = drain();
    handed_on_ += order_.release(UINT64_MAX, handler);
    return drained;
}

Counters BpfSource::counters() const {
    Counters counters;
    if (rings_) {
        counters = rings_->counters();
    }
    counters.kept = handed_on_;
    counters.late = order_.late();
    return counters;
}

}  // namespace

std::unique_ptr<Source> make_bpf_source(const Options& options, std::optional<pid_t> ancestor) {
    return std::make_unique<BpfSource>(options, ancestor);
}

Status try_bpf() {
    Options options;
    options.stuck = false;
    auto object = BpfObject::load(options, std::nullopt);
    if (!object) {
        return tl::unexpected(object.error());
    }
    return object->attach();
}

}  // namespace rqs
