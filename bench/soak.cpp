// SPDX-License-Identifier: BSD-2-Clause
#include <fmt/format.h>

#include <array>
#include <atomic>
#include <thread>

#include "bench/experiments.h"
#include "bench/loads/crowd.h"
#include "bench/measure.h"

namespace rqs::bench {
namespace {

constexpr auto sample_every = std::chrono::seconds{5};
constexpr int burst_s = 8;

/// Each burst brings new tasks, so that what is kept for each task ever seen shows as growth.
struct Burst {
    const char* kind;
    std::uint32_t tasks;
};
constexpr std::array<Burst, 5> bursts{{
    {"messaging-threads", 1600},
    {"pairs", 600},
    {"threads", 5000},
    {"mix", 0},
    {"messaging", 600},
}};

/// Samples the resident set of a process until it is told to end.
class Sampler {
  public:
    explicit Sampler(pid_t pid) : pid_(pid), thread_([this] { run(); }) {}
    Sampler(const Sampler&) = delete;
    Sampler& operator=(const Sampler&) = delete;
    ~Sampler() { end(); }

    /// Nothing is added after this.
    const Series& end() {
        over_ = true;
        if (thread_.joinable()) {
            thread_.join();
        }
        return samples_;
    }

  private:
    void run() {
        const loads::Precedence precedence;
        auto next = Clock::now() + sample_every;
        while (!over_) {
            std::this_thread::sleep_for(std::chrono::milliseconds{100});
            if (Clock::now() >= next) {
                next += sample_every;
                samples_.add(static_cast<double>(resident(pid_).now));
            }
        }
    }

    pid_t pid_;
    Series samples_;
    std::atomic<bool> over_{false};
    std::thread thread_;  // last: it uses all of the above
};

Status run_burst(const Plan& plan, const Burst& burst) {
    auto load = Load::start(plan.program("rqs_load"), {"overload", "--kind", burst.kind, "--tasks",
                                                       fmt::format("{}", burst.tasks), "--seconds",
                                                       fmt::format("{}", burst_s)});
    if (!load) {
        return tl::unexpected(load.error());
    }
    const auto run = load->run();
    return run ? Status{} : tl::unexpected(run.error());
}

Status run_bursts(const Plan& plan) {
    const auto end = Clock::now() + std::chrono::duration_cast<Clock::duration>(
                                        std::chrono::duration<double>{plan.soak_minutes * 60});
    Status ok;
    for (std::size_t i = 0; Clock::now() < end && ok; ++i) {
        ok = run_burst(plan, bursts.at(i % bursts.size()));
    }
    return ok;
}

Result<SoakFigures> soak_with(const Plan& plan, const std::vector<std::string>& options) {
    SoakFigures figures;
    figures.minutes = plan.soak_minutes;
    figures.plain = options.empty();
    std::vector<std::string> argv{"runqslower"};
    argv.insert(argv.end(), options.begin(), options.end());
    figures.label = fmt::format("{}", fmt::join(argv, " "));
    argv.front() = plan.ours;
    progress(fmt::format("{:.0f} minutes of {}", figures.minutes, figures.label));
    auto tool = Tool::start({argv, true, true, false, true});
    if (!tool) {
        return tl::unexpected(tool.error());
    }
    const loads::Precedence precedence;
    Sampler sampler{(*tool)->pid()};
    if (const Status ok = run_bursts(plan); !ok) {
        return tl::unexpected(ok.error());
    }
    figures.rss = sampler.end();
    figures.peak_rss = resident((*tool)->pid()).peak;
    const auto word = (*tool)->stop();
    if (!word) {
        return tl::unexpected(word.error());
    }
    figures.loss.measured = word->seen && word->lost;
    figures.loss.seen = word->seen.value_or(0);
    figures.loss.kept = word->kept.value_or(0);
    figures.loss.lost = word->lost.value_or(0);
    figures.loss.lines = word->wait_lines;
    return figures;
}

}  // namespace

Result<std::vector<SoakFigures>> soak(const Plan& plan) {
    std::vector<SoakFigures> all;
    const std::vector<std::vector<std::string>> runs{{}, {"0", "-f", "json"}};
    for (const auto& options : runs) {
        auto figures = soak_with(plan, options);
        if (!figures) {
            return tl::unexpected(figures.error());
        }
        progress(fmt::format("{}: at most {:.1f} MiB resident, {} of {} lost", figures->label,
                             static_cast<double>(figures->peak_rss) / (1 << 20), figures->loss.lost,
                             figures->loss.kept + figures->loss.lost));
        all.push_back(std::move(*figures));
    }
    return all;
}

}  // namespace rqs::bench
