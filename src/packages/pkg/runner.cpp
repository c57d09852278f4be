// SPDX-License-Identifier: BSD-2-Clause
#include "pkg/runner.h"

#include <fmt/format.h>
#include <poll.h>
#include <unistd.h>

#include <array>
#include <chrono>
#include <cstring>
#include <ctime>

#include "pkg/agreement.h"
#include "pkg/exporter.h"
#include "pkg/limits.h"
#include "pkg/loader.h"
#include "pkg/sampler.h"
#include "util/clock.h"
#include "util/local_time.h"
#include "util/run_clock.h"
#include "util/safe_text.h"
#include "util/say.h"
#include "util/stop_signals.h"

namespace rqs::pkg {
namespace {

using Clock = std::chrono::steady_clock;

/// What is waited for: the first buffer if there is one.
std::string_view banner(const std::vector<Export>& exports) {
    for (const auto& what : exports) {
        if (what.channel == Channel::ring_buffer) {
            return "running and waiting for the ebpf events from ring buffer...\n";
        }
        if (what.channel == Channel::perf_buffer) {
            return "running and waiting for the ebpf events from perf event...\n";
        }
    }
    return exports.empty() ? "running and waiting for the ebpf program...\n"
                           : "running and waiting for the ebpf maps to be sampled...\n";
}

class Runner {
  public:
    Runner(const Package& package, const Invocation& invocation, util::Output& output)
        : package_(package),
          invocation_(invocation),
          output_(output),
          formatter_(invocation.json, false) {}

    Result<RunResult> run() {
        if (auto status = start(); !status) {
            return tl::unexpected(status.error());
        }
        const auto shown = show();
        const auto written = output_.finish();  // what was caught is shown, whatever came then
        for (const auto& status : {shown, written}) {
            if (!status) {
                return tl::unexpected(status.error());
            }
        }
        return result_;
    }

  private:
    struct Channelled {
        Runner* runner = nullptr;
        const Export* what = nullptr;
        std::uint64_t unreported_loss = 0;
    };

    Status show() {
        if (auto status = show_iterators(); !status) {
            return status;
        }
        result_.shows_events = !exports_.empty();
        // Iterators have said all they know; only other programs are worth waiting for.
        const bool others = loaded_.attachments.size() > loaded_.iterators.size();
        return exports_.empty() && !others ? Status{} : follow();
    }

    /// Buffers are open before anything is attached: the first event finds its reader.
    Status start() {
        auto loaded = load(package_, invocation_.assignments, invocation_.partial);
        if (!loaded) {
            return tl::unexpected(loaded.error());
        }
        loaded_ = std::move(*loaded);
        if (loaded_.object == nullptr) {
            return fail(describe(loaded_.refusals.front()));
        }
        if (auto status = find_shown(); !status) {
            return status;
        }
        if (auto status = open_channels(); !status) {
            return status;
        }
        attach(package_, loaded_, invocation_.partial);
        if (auto status = judge_refusals(); !status) {
            return status;
        }
        if (loaded_.attachments.empty()) {
            return fail("the package has no program: there is nothing to run");
        }
        clock_ = util::RunClock(invocation_.duration_s);
        return print_start();
    }

    Status find_shown() {
        auto exports = find_exports(package_.meta, bpf_object__btf(loaded_.object.get()),
                                    map_shapes(loaded_.object.get()));
        if (!exports) {
            return tl::unexpected(exports.error());
        }
        exports_ = std::move(*exports);
        formatter_ = Formatter(invocation_.json, exports_.size() > 1);
        return {};
    }

    Status judge_refusals() {
        if (loaded_.refusals.empty()) {
            return {};
        }
        if (!invocation_.partial || loaded_.attachments.empty()) {
            return fail(describe(loaded_.refusals.front()));
        }
        for (const auto& refusal : loaded_.refusals) {
            util::say("ecli: " + describe(refusal));
        }
        return {};
    }

    Status open_channels() {
        channelled_.resize(exports_.size());
        for (std::size_t i = 0; i < exports_.size(); ++i) {
            channelled_[i] = {this, &exports_[i], 0};
            if (auto status = open_channel(channelled_[i]); !status) {
                return status;
            }
        }
        return {};
    }

    Status open_channel(Channelled& channelled) {
        const std::string& name = channelled.what->map;
        bpf_map* map = bpf_object__find_map_by_name(loaded_.object.get(), name.c_str());
        switch (channelled.what->channel) {
            case Channel::sampled_map:
                samplers_.emplace_back(map, *channelled.what);
                next_sample_.push_back(Clock::now() + interval(*channelled.what));
                return {};
            case Channel::ring_buffer:
                return open_ring(bpf_map__fd(map), channelled);
            case Channel::perf_buffer:
                break;
        }
        perf_buffers_.emplace_back(perf_buffer__new(bpf_map__fd(map),
                                                    package_.meta.perf_buffer_pages, on_perf_event,
                                                    on_perf_loss, &channelled, nullptr));
        if (perf_buffers_.back() == nullptr) {
            return fail(fmt::format("cannot open the perf buffer {}: {}", util::printable(name),
                                    explain(errno)));
        }
        return {};
    }

    Status open_ring(int fd, Channelled& channelled) {
        int error = 0;
        if (ring_ == nullptr) {
            ring_.reset(ring_buffer__new(fd, on_ring_event, &channelled, nullptr));
            error = ring_ == nullptr ? errno : 0;
        } else {
            error = ring_buffer__add(ring_.get(), fd, on_ring_event, &channelled);
        }
        if (error != 0) {
            return fail(fmt::format("cannot open the ring buffer {}: {}",
                                    util::printable(channelled.what->map), explain(error)));
        }
        return {};
    }

    Status print_start() {
        if (!invocation_.json && (!exports_.empty() || loaded_.iterators.empty())) {
            output_.buffer() += banner(exports_);
        }
        for (const auto& what : exports_) {
            formatter_.append_heading(output_.buffer(), what);
        }
        return output_.flush();
    }

    /// Iterators print text of their own, line by line; a line's bytes are not to be trusted.
    Status show_iterators() {
        for (const auto& iterator : loaded_.iterators) {
            if (auto status = show_iterator(iterator); !status) {
                return status;
            }
        }
        return output_.flush();
    }

    Status show_iterator(const Iterator& iterator) {
        iterator_ = iterator.program;
        std::string line;
        std::array<char, 4096> chunk{};
        while (!over()) {
            const ssize_t size = ::read(iterator.fd.get(), chunk.data(), chunk.size());
            if (size < 0 && errno != EINTR && errno != EAGAIN) {
                return fail(fmt::format("iterator {} ended with an error: {}",
                                        util::printable(iterator.program), std::strerror(errno)));
            }
            if (size == 0) {
                if (!line.empty()) {
                    append_line(line);
                }
                return {};
            }
            append_lines(line,
                         {chunk.data(), static_cast<std::size_t>(std::max<ssize_t>(size, 0))});
            if (auto status = output_.flush_if_large(); !status) {
                return status;
            }
        }
        return {};
    }

    void append_lines(std::string& line, std::string_view chunk) {
        for (const char c : chunk) {
            if (c == '\n') {
                if (enough()) {
                    return;
                }
                append_line(line);
                line.clear();
            } else if (line.size() < limits::event_bytes) {
                line += c;
            }
        }
    }

    void append_line(const std::string& line) {
        if (invocation_.json) {
            output_.buffer() += "{\"line\":";
            util::append_json_string(output_.buffer(), line);
            if (loaded_.iterators.size() > 1) {
                output_.buffer() += ",\"program\":";
                util::append_json_string(output_.buffer(), iterator_);
            }
            output_.buffer() += "}\n";
        } else {
            // Tabs separate what iterators print.
            std::size_t start = 0;
            for (std::size_t tab = 0; tab != std::string::npos; start = tab + 1) {
                tab = line.find('\t', start);
                util::append_printable(output_.buffer(),
                                       std::string_view(line).substr(start, tab - start));
                output_.buffer() += tab == std::string::npos ? "\n" : "\t";
            }
        }
        ++result_.events;
    }

    static Clock::duration interval(const Export& what) {
        return std::chrono::milliseconds(what.sample.interval_ms);
    }

    Status follow() {
        while (!over()) {
            wait_for_events();
            if (auto status = read_all(); !status) {
                return status;
            }
        }
        return finish();
    }

    static bool stopped() { return util::stop_signal() != 0; }

    [[nodiscard]] bool over() const { return clock_.over() || output_.closed() || enough(); }

    /// What was caught before the end is shown; nothing new comes once the links are gone.
    Status finish() {
        loaded_.attachments.clear();  // detaches
        if (output_.closed() || enough()) {
            return {};
        }
        if (auto status = read_buffers(); !status) {
            return status;
        }
        for (auto& sampler : samplers_) {
            if (auto status = sample(sampler); !status) {
                return status;
            }
        }
        return output_.flush();
    }

    [[nodiscard]] bool enough() const {
        return invocation_.count && result_.events >= *invocation_.count;
    }

    void wait_for_events() const {
        std::vector<pollfd> descriptors;
        // Nobody may be reading any more: that shows without an event of ours. And a slow reader
        // may have made room for what it did not take before.
        const short room = output_.pending() > 0 ? POLLOUT : 0;
        descriptors.push_back({STDOUT_FILENO, room, 0});
        if (ring_ != nullptr) {
            descriptors.push_back({ring_buffer__epoll_fd(ring_.get()), POLLIN, 0});
        }
        for (const auto& buffer : perf_buffers_) {
            descriptors.push_back({perf_buffer__epoll_fd(buffer.get()), POLLIN, 0});
        }
        if (::poll(descriptors.data(), descriptors.size(), timeout_ms()) > 0 &&
            (descriptors[0].revents & (POLLERR | POLLNVAL)) != 0) {
            reader_gone_ = true;
        }
    }

    /// Until the run's end, the next sample or the package's own limit, whichever comes first.
    [[nodiscard]] int timeout_ms() const {
        auto wait = clock_.left(std::chrono::milliseconds(package_.meta.poll_timeout_ms));
        for (const auto& time : next_sample_) {
            wait =
                std::min(wait, std::chrono::ceil<std::chrono::milliseconds>(time - Clock::now()));
        }
        return static_cast<int>(std::max<std::int64_t>(wait.count(), 0));
    }

    Status read_all() {
        if (reader_gone_) {
            output_.buffer() += '\n';  // a write notices it in the ordinary way
            return output_.flush();
        }
        if (auto status = read_buffers(); !status) {
            return status;
        }
        for (std::size_t i = 0; i < samplers_.size(); ++i) {
            if (Clock::now() >= next_sample_[i]) {
                next_sample_[i] += interval(samplers_[i].what());
                // Reading a large map may take longer than its interval: samples missed are not
                // made up.
                next_sample_[i] = std::max(next_sample_[i], Clock::now());
                if (auto status = sample(samplers_[i]); !status) {
                    return status;
                }
            }
        }
        return {};
    }

    void look_at_clock() { time_ = local_time_.at(util::clock_ns(CLOCK_REALTIME)).clock; }

    Status read_buffers() {
        look_at_clock();
        if (ring_ != nullptr) {
            const int count = ring_buffer__consume(ring_.get());
            if (count < 0 && count != -EINTR && count != -EAGAIN) {
                return fail(fmt::format("reading the ring buffer failed: {}", explain(count)));
            }
        }
        for (const auto& buffer : perf_buffers_) {
            const int error = perf_buffer__consume(buffer.get());
            if (error < 0 && error != -EINTR) {
                return fail(fmt::format("reading the perf buffer failed: {}", explain(error)));
            }
        }
        report_losses();
        return output_.flush();
    }

    Status sample(Sampler& sampler) {
        look_at_clock();
        auto status = sampler.each([&](const Entry& entry) {
            if (!enough()) {
                formatter_.append_entry(output_.buffer(), sampler.what(), entry.key, entry.value,
                                        time_, entry.cpu);
                ++result_.events;
            }
        });
        return status ? output_.flush() : status;
    }

    void report_losses() {
        for (auto& channelled : channelled_) {
            if (channelled.unreported_loss == 0) {
                continue;
            }
            formatter_.append_loss(output_.buffer(), *channelled.what, channelled.unreported_loss);
            if (!invocation_.json) {
                util::say(fmt::format("ecli: lost {} events of {}", channelled.unreported_loss,
                                      util::printable(channelled.what->map)));
            }
            channelled.unreported_loss = 0;
        }
    }

    void take_event(const Export& what, const void* data, std::size_t size) {
        if (enough() || output_.closed()) {
            return;
        }
        const std::string_view bytes(static_cast<const char*>(data), size);
        if (formatter_.append_event(output_.buffer(), what, bytes, time_)) {
            ++result_.events;
        } else {
            ++result_.short_events;
        }
        // An error here shows again at the flush that ends the batch.
        (void)output_.flush_if_large();
    }

    static int on_ring_event(void* context, void* data, std::size_t size) {
        auto* channelled = static_cast<Channelled*>(context);
        channelled->runner->take_event(*channelled->what, data, size);
        // A negative value ends the batch early: a program may produce faster than we print.
        return channelled->runner->enough() || stopped() ? -EAGAIN : 0;
    }

    static void on_perf_event(void* context, int /*cpu*/, void* data, __u32 size) {
        auto* channelled = static_cast<Channelled*>(context);
        channelled->runner->take_event(*channelled->what, data, size);
    }

    static void on_perf_loss(void* context, int /*cpu*/, __u64 count) {
        auto* channelled = static_cast<Channelled*>(context);
        channelled->unreported_loss += count;
        channelled->runner->result_.lost += count;
    }

    const Package& package_;
    const Invocation& invocation_;
    util::Output& output_;
    Formatter formatter_;
    Loaded loaded_;
    std::vector<Export> exports_;
    std::vector<Channelled> channelled_;
    bpfkit::RingBufferPtr ring_;
    std::vector<bpfkit::PerfBufferPtr> perf_buffers_;
    std::vector<Sampler> samplers_;
    std::vector<Clock::time_point> next_sample_;
    util::RunClock clock_;
    util::LocalTime local_time_{0};
    std::string time_;
    std::string iterator_;  ///< whose lines are being read
    RunResult result_;
    mutable bool reader_gone_ = false;
};

}  // namespace

Result<RunResult> run_package(const Package& package, const Invocation& invocation,
                              util::Output& output) {
    return Runner(package, invocation, output).run();
}

}  // namespace rqs::pkg
