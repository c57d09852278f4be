// SPDX-License-Identifier: BSD-2-Clause
#include "sources/bpf_lives.h"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <span>

#include "bpfkit/kernel_types.h"
#include "contract/lives.h"
#include "decode/life_decoder.h"
#include "enrich/topology.h"
#include "lives.skel.h"
#include "sources/kernel_clock.h"

namespace rqs {
namespace {

std::vector<std::uint64_t> mask_of(const std::vector<std::uint32_t>& numbers) {
    constexpr std::uint32_t bits = 64;
    std::vector<std::uint64_t> mask;
    for (const std::uint32_t cpu : numbers) {
        mask.resize(std::max<std::size_t>(mask.size(), cpu / bits + 1));
        mask[cpu / bits] |= std::uint64_t{1} << cpu % bits;
    }
    return mask;
}

/// A thread that may run anywhere.
Affinity free_of(std::uint32_t tid, std::uint64_t ts_ns, std::uint32_t cpus) {
    rqs_affinity all{};
    all.head = {ts_ns, RQS_LIFE_AFFINITY, tid};
    std::fill(std::begin(all.cpus), std::end(all.cpus), UINT64_MAX);
    return decode_affinity(all, cpus);
}

/// Passes lives on, and of affinities what is news. A thread that is not restricted is told to have
/// all CPUs that there may ever be, whichever of them its mask names.
class Filter final : public RecordHandler {
  public:
    Filter(AffinityNews& news, std::uint32_t cpus, RecordHandler& next)
        : news_(news), cpus_(cpus), next_(next) {}

    void on_fork(const Fork& fork) override {
        news_.fork(fork.parent.tid, fork.child.tid);
        next_.on_fork(fork);
    }
    void on_exit(const Exit& exit) override {
        news_.exit(exit.task.tid);
        next_.on_exit(exit);
    }
    void on_affinity(const Affinity& affinity) override {
        if (!news_.is_news(affinity)) {
            return;
        }
        next_.on_affinity(news_.is_restricted(affinity)
                              ? affinity
                              : free_of(affinity.tid, affinity.ts_ns, cpus_));
    }

  private:
    AffinityNews& news_;
    std::uint32_t cpus_;
    RecordHandler& next_;
};

}  // namespace

void BpfLives::Destroy::operator()(lives_bpf* skeleton) const {
    lives_bpf__destroy(skeleton);
}

BpfLives::~BpfLives() = default;

bool BpfLives::asks_for_affinities() const {
    return cpus_ <= RQS_AFFINITY_CPUS;
}

Result<std::unique_ptr<BpfLives>> BpfLives::load(std::uint32_t cpus) {
    std::unique_ptr<BpfLives> lives(new BpfLives(cpus));
    // A kernel may have no such function, or not let it be watched: then without.
    auto loaded = lives->try_load(true);
    if (loaded && *loaded != 0) {
        (void)bpfkit::take_log();
        loaded = lives->try_load(false);
    }
    if (!loaded) {
        return tl::unexpected(loaded.error());
    }
    if (*loaded != 0) {
        return fail(
            fmt::format("cannot watch threads begin and end: {}", bpfkit::describe(*loaded)));
    }
    lives->ring_.reset(
        ring_buffer__new(bpf_map__fd(lives->skeleton_->maps.lives), take, lives.get(), nullptr));
    if (!lives->ring_) {
        return fail(fmt::format("cannot watch threads begin and end: {}", bpfkit::describe(errno)));
    }
    return lives;
}

/// What loading the programs returned.
Result<int> BpfLives::try_load(bool with_changes) {
    with_changes_ = with_changes && asks_for_affinities();
    auto loader = bpfkit::LeanLoader::make();
    if (!loader) {
        return tl::unexpected(loader.error());
    }
    LIBBPF_OPTS(bpf_object_open_opts, open_options, .btf_custom_path = loader->path().c_str());
    skeleton_.reset(lives_bpf__open_opts(&open_options));
    if (!skeleton_) {
        return fail(
            fmt::format("cannot open the program for threads: {}", bpfkit::describe(errno)));
    }
    skeleton_->rodata->knobs.possible_cpus =
        static_cast<__u32>(cpu_numbers(system_devices(), "cpu/possible").size());
    bpf_program__set_autoload(skeleton_->progs.on_affinity, with_changes_);
    bpf_program__set_autoload(skeleton_->progs.find_restricted, asks_for_affinities());
    return loader->load(skeleton_->obj, [this] { return lives_bpf__load(skeleton_.get()); });
}

Status BpfLives::attach() {
    auto& progs = skeleton_->progs;
    for (const bpf_program* program : {progs.on_begin, progs.on_end}) {
        bpfkit::LinkPtr link(bpf_program__attach_trace(program));
        if (!link) {
            return fail(
                fmt::format("cannot watch threads begin and end: {}", bpfkit::describe(errno)));
        }
        links_.push_back(std::move(link));
    }
    if (with_changes_) {
        bpfkit::LinkPtr link(bpf_program__attach_trace(progs.on_affinity));
        with_changes_ = link != nullptr;
        if (link) {
            links_.push_back(std::move(link));
        } else {
            (void)bpfkit::take_log();
        }
    }
    return {};
}

void BpfLives::detach() {
    links_.clear();
}

int BpfLives::take(void* self, void* data, std::size_t size) {
    auto& lives = *static_cast<BpfLives*>(self);
    const std::span bytes(static_cast<const std::byte*>(data), size);
    if (auto decoded = decode_life(bytes, lives.cpus_, *lives.handler_); !decoded) {
        lives.error_ = decoded.error();
        return -EINVAL;
    }
    return 0;
}

Status BpfLives::look(std::uint64_t now_ns, RecordHandler& handler) {
    Filter filter(news_, cpus_, handler);
    if (auto read = read_ring(filter); !read) {
        return read;
    }
    return asks_for_affinities() && now_ns >= next_look_ns_ ? read_affinities(now_ns, handler)
                                                            : Status{};
}

Status BpfLives::read_ring(RecordHandler& handler) {
    handler_ = &handler;
    const int consumed = ring_buffer__consume(ring_.get());
    handler_ = nullptr;
    if (error_) {
        return tl::unexpected(*error_);
    }
    if (consumed < 0 && consumed != -EINTR) {
        return fail(fmt::format("cannot read what threads did: {}", bpfkit::describe(consumed)));
    }
    return {};
}

// Until a change is known, waits are judged by what held before: where looks alone find it, they
// are more frequent.
Status BpfLives::read_affinities(std::uint64_t now_ns, RecordHandler& handler) {
    constexpr std::uint64_t second_ns = 1'000'000'000;
    constexpr std::uint64_t share = 100;
    const std::uint64_t every_ns = with_changes_ ? second_ns : second_ns / 10;
    news_.set_online(mask_of(cpu_numbers(system_devices(), "cpu/online")));
    news_.begin_look();
    Filter filter(news_, cpus_, handler);
    if (auto read = read_iterator(filter); !read) {
        return read;
    }
    for (const std::uint32_t tid : news_.end_look()) {
        handler.on_affinity(free_of(tid, now_ns, cpus_));
    }
    const std::uint64_t took_ns = kernel_monotonic_ns() - now_ns;
    next_look_ns_ = now_ns + std::max(every_ns, share * took_ns);
    return {};
}

Status BpfLives::read_iterator(RecordHandler& handler) {
    if (!iterator_) {
        iterator_.reset(bpf_program__attach_iter(skeleton_->progs.find_restricted, nullptr));
    }
    const bpfkit::Fd fd(iterator_ ? bpf_iter_create(bpf_link__fd(iterator_.get())) : -1);
    if (!fd.valid()) {
        return fail(fmt::format("cannot look for restricted threads: {}", std::strerror(errno)));
    }
    // The kernel hands out whole records only, as many as fit.
    std::array<rqs_affinity, 128> records{};
    while (true) {
        const ssize_t bytes = ::read(fd.get(), records.data(), sizeof(records));
        if (bytes < 0 && (errno == EINTR || errno == EAGAIN)) {
            continue;
        }
        if (bytes <= 0) {
            return bytes == 0 ? Status{}
                              : fail(fmt::format("cannot read the restricted threads: {}",
                                                 std::strerror(errno)));
        }
        for (std::size_t i = 0; i < static_cast<std::size_t>(bytes) / sizeof(rqs_affinity); ++i) {
            handler.on_affinity(decode_affinity(records.at(i), cpus_));
        }
    }
}

std::uint64_t BpfLives::lost() const {
    return skeleton_ ? skeleton_->bss->lost : 0;
}

}  // namespace rqs
