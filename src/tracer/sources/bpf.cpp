// SPDX-License-Identifier: BSD-2-Clause
#include "sources/bpf.h"

#include <fmt/format.h>
#include <linux/membarrier.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <deque>
#include <thread>

#include "bpfkit/handles.h"
#include "sources/bpf_lives.h"
#include "sources/bpf_object.h"
#include "sources/bpf_rings.h"
#include "sources/bpf_stuck.h"
#include "sources/clock_readings.h"
#include "sources/kernel_clock.h"
#include "util/say.h"

namespace rqs {
namespace {

class BpfSource final : public Source {
  public:
    BpfSource(const SourceOptions& options, std::optional<pid_t> ancestor)
        : options_(options), ancestor_(ancestor) {}

    Status prepare() override;
    Status start() override;
    Status poll(std::chrono::milliseconds timeout, RecordHandler& handler) override;
    Status finish(RecordHandler& handler) override;
    [[nodiscard]] Counters counters() const override;
    [[nodiscard]] std::uint64_t now_ns() const override { return kernel_monotonic_ns(); }
    [[nodiscard]] std::uint32_t cpus() const override { return object_ ? object_->cpu_count() : 1; }

  private:
    void prepare_lives();
    Status wait_for_doorbell(std::chrono::milliseconds timeout);
    void say_if_behind(RecordHandler& handler);
    Result<bool> hand_on(std::uint64_t until_ns, std::uint64_t most, RecordHandler& handler);

    const SourceOptions& options_;
    std::optional<pid_t> ancestor_;
    std::optional<BpfObject> object_;
    std::optional<BpfRings> rings_;
    std::optional<StuckFinder> finder_;
    std::unique_ptr<BpfLives> lives_;  // where they are asked for and can be had
    std::deque<Stuck> stuck_;          // found, not handed on yet
    bpfkit::RingBufferPtr doorbell_;
    ClockReadings clocks_;
    bool behind_ = false;
    std::chrono::milliseconds pause_{1};
};

int ignore_ring(void*, void*, std::size_t) {
    return 0;
}

Status BpfSource::prepare() {
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
    if (options_.lives) {
        prepare_lives();
    }
    return {};
}

// A recording is worth having without them.
void BpfSource::prepare_lives() {
    auto lives = BpfLives::load(object_->cpu_count());
    if (!lives) {
        util::say(
            fmt::format("runqslower: {}; affinities will not be known", lives.error().message));
        return;
    }
    lives_ = std::move(*lives);
}

Status BpfSource::start() {
    if (auto attached = object_->attach(); !attached) {
        return attached;
    }
    rings_->attached_at(kernel_monotonic_ns());
    if (lives_ && !lives_->attach()) {
        util::say("runqslower: threads cannot be watched; affinities will not be known");
        lives_.reset();
    }
    if (options_.stuck) {
        auto finder = StuckFinder::make(*object_, options_.min_us);
        if (!finder) {
            return tl::unexpected(finder.error());
        }
        finder_ = std::move(*finder);
    }
    return {};
}

// Adapts between a look every few ms while events flow and a few looks a second while none come;
// the doorbell cuts a pause short when a ring fills up.
Status BpfSource::wait_for_doorbell(std::chrono::milliseconds timeout) {
    constexpr std::chrono::milliseconds shortest{1};
    constexpr std::chrono::milliseconds longest{200};
    const auto longest_now = finder_ ? std::min(longest, finder_->period()) : longest;
    const auto pause = std::min({timeout, pause_, longest_now});
    const int rang = ring_buffer__poll(doorbell_.get(), static_cast<int>(pause.count()));
    if (rang < 0 && rang != -EINTR) {
        return fail(fmt::format("cannot wait for events: {}", bpfkit::describe(rang)));
    }
    pause_ = std::clamp(pause_ * 2, shortest, longest);
    return {};
}

// Records in order of time, what waits still among them; at most about `most` waits. Whether that
// was all.
Result<bool> BpfSource::hand_on(std::uint64_t until_ns, std::uint64_t most,
                                RecordHandler& handler) {
    while (!stuck_.empty() && stuck_.front().ts_ns <= until_ns) {
        if (auto all = rings_->hand_on(stuck_.front().ts_ns, most, handler); !all || !*all) {
            return all;
        }
        handler.on_stuck(stuck_.front());
        stuck_.pop_front();
    }
    return rings_->hand_on(until_ns, most, handler);
}

// The doorbell rings at a quarter: more than that is there when the reader comes too late, or takes
// longer over a record than the next one takes to come.
void BpfSource::say_if_behind(RecordHandler& handler) {
    constexpr double too_much = 0.3;
    constexpr double little = 0.15;
    const double fill = rings_->fill();
    const bool behind = fill > (behind_ ? little : too_much);
    if (behind != behind_) {
        behind_ = behind;
        handler.on_backlog(behind);
    }
}

// One round. It ends after so many waits, however many there are: the caller has output to write
// and a priority to account for, and how far behind the source is may have changed.
Status BpfSource::poll(std::chrono::milliseconds timeout, RecordHandler& handler) {
    constexpr std::uint64_t waits_a_round = 1024;
    constexpr std::chrono::milliseconds while_busy{10};
    constexpr double crowded = 0.5;
    if (auto waited = wait_for_doorbell(timeout); !waited) {
        return waited;
    }
    const std::uint64_t now_ns = kernel_monotonic_ns();
    clocks_.read_if_due(now_ns, handler);
    if (lives_) {
        if (auto looked = lives_->look(now_ns, handler); !looked) {
            return looked;
        }
    }
    if (auto looked = rings_->look(now_ns); !looked) {
        return looked;
    }
    say_if_behind(handler);
    const std::uint64_t groups = rings_->groups();
    // Room is worth more than a perfect order.
    const std::uint64_t window_ns = rings_->fill() > crowded ? 0 : order_window_ns;
    const std::uint64_t until_ns = now_ns - std::min(now_ns, window_ns);
    const auto all = hand_on(until_ns, waits_a_round, handler);
    if (!all) {
        return tl::unexpected(all.error());
    }
    Status looked = finder_ ? finder_->look(now_ns, stuck_) : Status{};
    if (!*all) {
        pause_ = std::chrono::milliseconds{0};
        return looked;
    }
    if (rings_->groups() != groups || rings_->fill() > 0) {
        pause_ = while_busy;
    }
    handler.on_reached(until_ns);
    return looked;
}

// Until what was still running of the programs, on another CPU, has ended.
void wait_for_programs() {
    constexpr std::chrono::milliseconds ample{50};  // they run for microseconds
    // This is synchronize_rcu(), except that kernels with nohz_full refuse it.
    if (::syscall(SYS_membarrier, MEMBARRIER_CMD_GLOBAL, 0, 0) != 0) {
        std::this_thread::sleep_for(ample);
    }
}

Status BpfSource::finish(RecordHandler& handler) {
    if (!object_) {
        return {};
    }
    object_->detach();
    if (lives_) {
        lives_->detach();
    }
    wait_for_programs();
    if (lives_) {
        if (auto looked = lives_->look(kernel_monotonic_ns(), handler); !looked) {
            return looked;
        }
        if (lives_->lost() > 0) {
            util::say(
                fmt::format("runqslower: {} forks, exits or affinities were lost: they came "
                            "faster than they could be read",
                            lives_->lost()));
        }
    }
    if (auto looked = rings_->look(kernel_monotonic_ns()); !looked) {
        return looked;
    }
    const auto all = hand_on(UINT64_MAX, UINT64_MAX, handler);
    return all ? Status{} : tl::unexpected(all.error());
}

Counters BpfSource::counters() const {
    return rings_ ? rings_->counters() : Counters{};
}

}  // namespace

std::unique_ptr<Source> make_bpf_source(const SourceOptions& options,
                                        std::optional<pid_t> ancestor) {
    return std::make_unique<BpfSource>(options, ancestor);
}

Status try_bpf() {
    auto object = BpfObject::load(SourceOptions{}, std::nullopt);
    if (!object) {
        return tl::unexpected(object.error());
    }
    return object->attach();
}

}  // namespace rqs
