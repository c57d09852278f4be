// SPDX-License-Identifier: BSD-2-Clause
#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>

#include "bench/experiments.h"
#include "bench/loads/crowd.h"
#include "bench/measure.h"

namespace rqs::bench {
namespace {

struct OverloadCase {
    OverloadFigures figures;
    Tool::Spec spec;
};

/// What is run under which overload.
class Cases {
  public:
    explicit Cases(const Plan& plan) : plan_(plan) {}

    void add(const std::string& load, std::uint32_t tasks, const Words& options,
             bool to_null = false) {
        Words argv{plan_.ours};
        argv.insert(argv.end(), options.begin(), options.end());
        OverloadFigures figures;
        figures.label = fmt::format("runqslower {}", fmt::join(options, " "));
        if (options.empty()) {
            figures.label = to_null ? "runqslower >/dev/null" : "runqslower";
        }
        figures.load = load;
        figures.tasks = tasks;
        figures.plain = options.empty();
        all_.push_back({figures, {argv, true, true, to_null, true}});
    }

    void add_peer(const std::string& load, std::uint32_t tasks) {
        if (plan_.peer.empty()) {
            return;
        }
        OverloadFigures figures;
        figures.role = Role::peer;
        figures.label = "peer";
        figures.load = load;
        figures.tasks = tasks;
        all_.push_back({figures, {{plan_.peer}, true, true, false, true}});
    }

    std::vector<OverloadCase> take() { return std::move(all_); }

  private:
    const Plan& plan_;
    std::vector<OverloadCase> all_;
};

void add_usual(Cases& cases, const std::string& load, std::uint32_t tasks, bool all) {
    cases.add(load, tasks, {});
    cases.add(load, tasks, {"-f", "json"});
    if (all) {
        cases.add(load, tasks, {"-s"});
    }
    cases.add_peer(load, tasks);
}

std::vector<OverloadCase> make_cases(const Plan& plan) {
    const bool all = plan.all_overloads;
    Cases cases{plan};
    add_usual(cases, "messaging", 600, all);
    add_usual(cases, "messaging-threads", 5000, all);
    if (all) {
        add_usual(cases, "messaging-threads", 1600, all);
        add_usual(cases, "pairs", 600, all);
        cases.add("threads", 5000, {});
        cases.add("messaging", 600, {}, true);
        for (const char* load : {"messaging", "pairs"}) {
            cases.add(load, 600, {"0", "-f", "json"});
            cases.add(load, 600, {"0", "-W"});
        }
    }
    return cases.take();
}

/// What a tool said; of a peer, which does not say what it kept, what it printed.
void add_last_word(const LastWord& word, OverloadFigures& figures) {
    if (figures.role == Role::peer) {
        add_counter(figures.kept, word.kept.value_or(word.wait_lines));
        add_counter(figures.lost, word.lost.value_or(word.lost_events));
        return;
    }
    add_counter(figures.seen, word.seen);
    add_counter(figures.kept, word.kept);
    add_counter(figures.lost, word.lost);
}

/// Lets the load run for its time and meters the tool meanwhile.
Status meter_under_load(Load& load, const Tool& tool, OverloadFigures& figures) {
    const std::uint64_t before_ns = cpu_time_ns(tool.pid());
    const auto begin = Clock::now();
    if (const auto run = load.run(); !run) {
        return tl::unexpected(run.error());
    }
    const auto elapsed = std::chrono::duration<double, std::nano>{Clock::now() - begin}.count();
    const double percent = static_cast<double>(cpu_time_ns(tool.pid()) - before_ns) / elapsed * 100;
    figures.cpu_percent.add(percent);
    figures.cpu_share.add(percent / static_cast<double>(::sysconf(_SC_NPROCESSORS_ONLN)));
    const Resident bytes = resident(tool.pid());
    figures.peak_rss.add(static_cast<double>(bytes.peak));
    figures.ring_bytes.add(static_cast<double>(bytes.rings));
    return {};
}

Status run_case(const Plan& plan, OverloadCase& which) {
    OverloadFigures& figures = which.figures;
    auto load =
        Load::start(plan.program("rqs_load"), {"overload", "--kind", figures.load, "--tasks",
                                               fmt::format("{}", figures.tasks), "--seconds",
                                               fmt::format("{}", plan.loss_s)});
    if (!load) {
        return tl::unexpected(load.error());
    }
    auto tool = Tool::start(which.spec);
    if (!tool) {
        return tl::unexpected(tool.error());
    }
    const loads::Precedence precedence;
    if (Status ok = meter_under_load(*load, **tool, figures); !ok) {
        return ok;
    }
    (*tool)->interrupt();
    // The tool's last second is not what is measured here; without the load it ends sooner.
    load->end();
    const auto word = (*tool)->finish();
    if (!word) {
        return tl::unexpected(word.error());
    }
    add_last_word(*word, figures);
    return {};
}

}  // namespace

Result<std::vector<OverloadFigures>> compare_overloads(const Plan& plan) {
    std::vector<OverloadCase> cases = make_cases(plan);
    for (int round = 0; round < plan.overload_rounds; ++round) {
        for (OverloadCase& which : cases) {
            progress(fmt::format("{} tasks ({}), {}", which.figures.tasks, which.figures.load,
                                 which.figures.label));
            // A tool that cannot be measured under an overload is a finding, not an error.
            if (const Status ok = run_case(plan, which); !ok) {
                which.figures.missing = ok.error().message;
            }
        }
    }
    std::vector<OverloadFigures> figures;
    for (OverloadCase& which : cases) {
        figures.push_back(std::move(which.figures));
    }
    return figures;
}

}  // namespace rqs::bench
