// SPDX-License-Identifier: BSD-2-Clause
#include <fmt/format.h>

#include <filesystem>
#include <sstream>

#include "bench/experiments.h"
#include "bench/folder.h"
#include "bench/loads/crowd.h"
#include "bench/measure.h"
#include "bench/meter.h"

namespace rqs::bench {
namespace {

namespace fs = std::filesystem;

constexpr std::uint32_t overload_tasks = 600;

/// A recorder and what it has found so far.
struct Candidate {
    RecorderFigures figures;
    Words argv;  ///< `{}` stands for the file; no words: nothing runs
    bool uses_bpf = true;
    bool overload_only = false;
    bool hook_only = false;
};

Candidate make_candidate(Recorder who, std::string label, Words argv, bool uses_bpf = true) {
    Candidate candidate;
    candidate.figures.who = who;
    candidate.figures.label = std::move(label);
    candidate.argv = std::move(argv);
    candidate.uses_bpf = uses_bpf;
    return candidate;
}

/// Others than ours: what is not there is a gap in the table.
bool is_foreign(Recorder who) {
    return who >= Recorder::perf;
}

Words split(const std::string& text) {
    std::istringstream words{text};
    Words all;
    for (std::string word; words >> word;) {
        all.push_back(word);
    }
    return all;
}

void add_foreign(const Plan& plan, std::vector<Candidate>& all) {
    const Words trace_cmd{"trace-cmd", "record",
                          "-o",        "{}",
                          "-e",        "sched:sched_switch",
                          "-e",        "sched:sched_wakeup",
                          "-e",        "sched:sched_wakeup_new"};
    const auto add = [&](Recorder plain, Recorder urgent, std::string_view label, Words argv,
                         bool there) {
        all.push_back(make_candidate(plain, std::string(label), argv, false));
        all.back().figures.missing = there ? "" : "not installed";
        argv.insert(argv.end(), {"-r", "50"});
        all.push_back(make_candidate(urgent, fmt::format("{} -r 50", label), argv, false));
        all.back().figures.missing = there ? "" : "not installed";
        all.back().overload_only = true;
    };
    add(Recorder::perf, Recorder::perf_rt, "perf sched record",
        {"perf", "sched", "record", "-o", "{}"}, plan.has_perf);
    add(Recorder::trace_cmd, Recorder::trace_cmd_rt, "trace-cmd record", trace_cmd,
        plan.has_trace_cmd);
    if (!plan.record_peer.empty()) {
        all.push_back(make_candidate(Recorder::peer, "peer", split(plan.record_peer), false));
    }
}

std::vector<Candidate> make_candidates(const Plan& plan) {
    std::vector<Candidate> all{
        make_candidate(Recorder::untraced, "untraced", {}),
        make_candidate(Recorder::empty, "empty program on the hook", {plan.program("rqs_empty")}),
        make_candidate(Recorder::classic, "classic method", {plan.program("rqs_classic")}),
        make_candidate(Recorder::live, "runqslower", {plan.ours}),
        make_candidate(Recorder::record, "runqslower record", {plan.ours, "record", "-o", "{}"}),
        make_candidate(Recorder::record_waker, "runqslower record --waker",
                       {plan.ours, "record", "--waker", "-o", "{}"}),
    };
    all[1].hook_only = all[2].hook_only = true;
    add_foreign(plan, all);
    return all;
}

/// Runs one load beside one recorder.
class Round {
  public:
    Round(const Plan& plan, const Folder& folder, Candidate& candidate)
        : plan_(plan), folder_(folder), candidate_(candidate), figures_(candidate.figures) {}

    Status run() {
        if (!figures_.missing.empty()) {
            return {};
        }
        Status status;
        if (candidate_.uses_bpf && !candidate_.argv.empty()) {
            status = hook();
        }
        if (candidate_.hook_only) {
            return status;
        }
        if (!candidate_.overload_only) {
            status = status ? beside(load_words(plan_, "pingpong"), figures_.pingpong) : status;
            status = status ? beside(load_words(plan_, "hackbench"), figures_.hackbench) : status;
        }
        crowded_ = true;
        return status ? beside({"overload", "--kind", "pairs", "--tasks",
                                fmt::format("{}", overload_tasks), "--seconds",
                                fmt::format("{}", plan_.loss_s)},
                               figures_.overload)
                      : status;
    }

  private:
    [[nodiscard]] Tool::Spec spec() const {
        Words argv = candidate_.argv;
        for (std::string& word : argv) {
            if (const auto at = word.find("{}"); at != std::string::npos) {
                word.replace(at, 2, folder_.file("recording"));
            }
        }
        return {argv, candidate_.uses_bpf, false, false, true};
    }

    Status hook() {
        auto tool = Tool::start(spec());
        if (!tool) {
            return tl::unexpected(tool.error());
        }
        const auto hook = measure_hook((*tool)->pid(), plan_, load_words(plan_, "pingpong"));
        if (!hook) {
            return tl::unexpected(hook.error());
        }
        figures_.hook_ns.add(hook->ns_per_switch);
        figures_.runs.add(hook->runs_per_switch);
        const auto word = (*tool)->stop();
        folder_.empty();
        return word ? Status{} : tl::unexpected(word.error());
    }

    Status beside(const Words& words, RecordedLoad& found) {
        auto load = Load::start(plan_.program("rqs_load"), words);
        if (!load) {
            return tl::unexpected(load.error());
        }
        std::unique_ptr<Tool> tool;
        if (!candidate_.argv.empty()) {
            auto started = Tool::start(spec());
            if (!started) {
                return tl::unexpected(started.error());
            }
            tool = std::move(*started);
        }
        const loads::Precedence precedence;
        const std::uint64_t switches_before = machine_switches();
        const std::uint64_t cpu_before_ns = tool ? cpu_time_ns(tool->pid()) : 0;
        const auto begin = Clock::now();
        const auto run = load->run();
        if (!run) {
            return tl::unexpected(run.error());
        }
        const std::chrono::duration<double> elapsed = Clock::now() - begin;
        const auto switches = static_cast<double>(machine_switches() - switches_before);
        found.ns_per_op.add(run->ns_per_op());
        found.switches_per_s.add(switches / elapsed.count());
        return tool ? finish(*tool, *load, cpu_before_ns, elapsed.count(), switches_before, found)
                    : Status{};
    }

    Status finish(Tool& tool, Load& load, std::uint64_t cpu_before_ns, double elapsed_s,
                  std::uint64_t switches_before, RecordedLoad& found) {
        if (crowded_) {
            const auto cpu_ns = static_cast<double>(cpu_time_ns(tool.pid()) - cpu_before_ns);
            figures_.cpu_percent.add(cpu_ns / elapsed_s / 1e7);
            const Resident bytes = resident(tool.pid());
            figures_.peak_rss.add(static_cast<double>(bytes.peak));
            figures_.ring_bytes.add(static_cast<double>(bytes.rings));
        }
        const auto switches = static_cast<double>(machine_switches() - switches_before);
        tool.interrupt();
        // The load keeps its tasks until here, and would hold up the recorder's end.
        load.end();
        const auto word = tool.finish();
        if (!word) {
            return tl::unexpected(word.error());
        }
        std::error_code none;
        const auto bytes = fs::file_size(folder_.file("recording"), none);
        if (!none && switches > 0) {
            found.bytes_a_switch.add(static_cast<double>(bytes) / switches);
        }
        add_counter(found.lost, word->lost);
        if (!word->lost && word->lost_events > 0) {
            add_counter(found.lost, word->lost_events);
        }
        folder_.empty();
        return {};
    }

    const Plan& plan_;
    const Folder& folder_;
    Candidate& candidate_;
    RecorderFigures& figures_;
    bool crowded_ = false;
};

void add_slowdown(RecordedLoad& found, const RecordedLoad& untraced) {
    for (std::size_t i = 0; i < found.ns_per_op.size() && i < untraced.ns_per_op.size(); ++i) {
        found.slowdown.add(found.ns_per_op.at(i) / untraced.ns_per_op.at(i));
    }
}

/// What needs two recorders of one round.
void add_relations(std::vector<Candidate>& candidates) {
    const RecorderFigures untraced = candidates[0].figures;
    const RecorderFigures empty = candidates[1].figures;
    for (Candidate& candidate : candidates) {
        RecorderFigures& figures = candidate.figures;
        figures.net_ns = net_of(figures.hook_ns, figures.runs, empty.hook_ns, empty.runs);
        add_slowdown(figures.pingpong, untraced.pingpong);
        add_slowdown(figures.hackbench, untraced.hackbench);
        add_slowdown(figures.overload, untraced.overload);
    }
}

Result<std::vector<RecorderFigures>> compare_recorders(const Plan& plan) {
    const Folder folder;
    std::vector<Candidate> candidates = make_candidates(plan);
    for (int round = 0; round < plan.record_rounds; ++round) {
        progress(fmt::format("recorders, round {} of {}", round + 1, plan.record_rounds));
        for (std::size_t i = 0; i < candidates.size(); ++i) {
            Candidate& next = candidates[(i + static_cast<std::size_t>(round)) % candidates.size()];
            Status ok = Round(plan, folder, next).run();
            if (!ok && !is_foreign(next.figures.who)) {
                return tl::unexpected(ok.error());
            }
            if (!ok) {
                next.figures.missing = ok.error().message;
            }
        }
    }
    add_relations(candidates);
    std::vector<RecorderFigures> figures;
    for (Candidate& candidate : candidates) {
        figures.push_back(std::move(candidate.figures));
    }
    return figures;
}

}  // namespace

Result<RecordingFigures> measure_recording(const Plan& plan) {
    RecordingFigures figures;
    auto recorders = compare_recorders(plan);
    if (!recorders) {
        return tl::unexpected(recorders.error());
    }
    figures.recorders = std::move(*recorders);
    if (auto ok = measure_reading(plan, figures); !ok) {
        return tl::unexpected(ok.error());
    }
    return figures;
}

}  // namespace rqs::bench
