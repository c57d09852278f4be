// SPDX-License-Identifier: BSD-2-Clause
#include <fmt/format.h>

#include <filesystem>
#include <nlohmann/json.hpp>
#include <sstream>

#include "bench/experiments.h"
#include "bench/loads/crowd.h"
#include "bench/measure.h"
#include "bench/meter.h"

namespace rqs::bench {
namespace {

namespace fs = std::filesystem;

constexpr std::uint32_t overload_tasks = 600;
// As many events as an hour brings at 20,000 switches a second.
constexpr std::uint64_t switches_an_hour = 72'000'000;
constexpr std::uint64_t switches_of_many_cpus = 20'000'000;
constexpr std::uint32_t many_cpus = 256;
constexpr std::uint64_t short_recording = 2'000'000;
constexpr std::uint64_t long_recording = 16'000'000;

/// A folder for recordings that goes with this object.
class Folder {
  public:
    Folder() {
        std::string name = (fs::temp_directory_path() / "rqs-bench-XXXXXX").string();
        if (::mkdtemp(name.data()) != nullptr) {
            path_ = name;
        }
    }
    Folder(const Folder&) = delete;
    Folder& operator=(const Folder&) = delete;
    ~Folder() {
        std::error_code ignored;
        fs::remove_all(path_, ignored);
    }
    [[nodiscard]] std::string file(std::string_view name) const { return (path_ / name).string(); }
    void empty() const {
        std::error_code ignored;
        for (const auto& entry : fs::directory_iterator(path_, ignored)) {
            fs::remove_all(entry.path(), ignored);
        }
    }

  private:
    fs::path path_;
};

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

/// Records a load with one tool. Returns the machine's switches meanwhile.
Result<double> make_recording(const Plan& plan, const Words& argv, bool uses_bpf,
                              const Words& load) {
    auto tool = Tool::start({argv, uses_bpf, false, false, true});
    if (!tool) {
        return tl::unexpected(tool.error());
    }
    const std::uint64_t before = machine_switches();
    if (const auto run = measure_load(plan, load); !run) {
        return tl::unexpected(run.error());
    }
    const auto switches = static_cast<double>(machine_switches() - before);
    const auto word = (*tool)->stop();
    return word ? Result<double>(switches) : tl::unexpected(word.error());
}

/// Switches a second of CPU time that `argv` reads.
Status read_recording(const Words& argv, double switches, Series& per_s) {
    const auto output = output_of(argv);
    if (!output) {
        return tl::unexpected(output.error());
    }
    if (!output->succeeded || output->cpu_ns == 0) {
        return fail(fmt::format("{} did not read its recording", argv[0]));
    }
    per_s.add(switches / (static_cast<double>(output->cpu_ns) / 1e9));
    return {};
}

Result<ReportFigures> compare_reports_of(const Plan& plan, const std::string& load) {
    const Folder folder;
    ReportFigures figures;
    figures.load = load;
    const std::string ours = folder.file("ours");
    const std::string perf = folder.file("perf");
    Plan longer = plan;
    longer.window_s = plan.loss_s;
    const Words words = load_words(longer, load);
    const auto switches = make_recording(plan, {plan.ours, "record", "-o", ours}, true, words);
    if (!switches) {
        return tl::unexpected(switches.error());
    }
    Result<double> perf_switches = fail("not installed");
    if (plan.has_perf) {
        perf_switches = make_recording(plan, {"perf", "sched", "record", "-o", perf}, false, words);
    }
    for (int round = 0; round < plan.record_rounds; ++round) {
        if (auto ok = read_recording({plan.ours, "report", ours}, *switches, figures.ours_per_s);
            !ok) {
            return tl::unexpected(ok.error());
        }
        if (perf_switches) {
            (void)read_recording({"perf", "sched", "latency", "-i", perf}, *perf_switches,
                                 figures.perf_per_s);
        }
    }
    return figures;
}

Result<ScaleFigures> record_made_up(const Plan& plan, std::uint32_t cpus, std::uint64_t switches,
                                    const std::string& out) {
    const auto output =
        output_of({plan.program("rqs_record_bench"), "--cpus", fmt::format("{}", cpus),
                   "--switches", fmt::format("{}", switches), "--out", out});
    if (!output) {
        return tl::unexpected(output.error());
    }
    const auto json = nlohmann::json::parse(output->text, nullptr, false);
    if (!json.is_object()) {
        return fail("rqs_record_bench did not report its figures: build it first");
    }
    ScaleFigures figures;
    figures.cpus = cpus;
    figures.switches = json.value("switches", std::uint64_t{0});
    const double count = std::max<double>(1, static_cast<double>(figures.switches));
    figures.reader_ns = json.value("reader_ns", 0.0) / count;
    figures.process_ns = json.value("process_ns", 0.0) / count;
    figures.bytes = json.value("bytes", 0.0) / count;
    figures.packing_threads = json.value("threads", 0U);
    for (const auto& bytes : json.value("rss", nlohmann::json::array())) {
        figures.rss.add(bytes.get<double>());
    }
    return figures;
}

/// What `report` takes of a short and of a long recording.
Result<Series> compare_lengths(const Plan& plan) {
    const Folder folder;
    const std::string file = folder.file("recording");
    Series bytes;
    for (const std::uint64_t switches : {short_recording, long_recording}) {
        if (const auto made = record_made_up(plan, 2, switches, file); !made) {
            return tl::unexpected(made.error());
        }
        const auto output = output_of({plan.ours, "report", file});
        if (!output || !output->succeeded) {
            return fail("the report of a made-up recording failed");
        }
        bytes.add(static_cast<double>(output->peak_rss));
    }
    return bytes;
}

}  // namespace

Result<RecordingFigures> measure_recording(const Plan& plan) {
    RecordingFigures figures;
    auto recorders = compare_recorders(plan);
    if (!recorders) {
        return tl::unexpected(recorders.error());
    }
    figures.recorders = std::move(*recorders);
    for (const char* load : {"pingpong", "hackbench"}) {
        progress(fmt::format("reports of {}", load));
        auto report = compare_reports_of(plan, load);
        if (!report) {
            return tl::unexpected(report.error());
        }
        figures.reports.push_back(std::move(*report));
    }
    progress("made-up switches");
    const Folder folder;
    auto many = record_made_up(plan, many_cpus, switches_of_many_cpus, folder.file("many"));
    folder.empty();
    auto hour = record_made_up(plan, 2, switches_an_hour, folder.file("hour"));
    folder.empty();
    auto lengths = compare_lengths(plan);
    if (!many || !hour || !lengths) {
        return tl::unexpected(!many ? many.error() : !hour ? hour.error() : lengths.error());
    }
    figures.many_cpus = std::move(*many);
    figures.an_hour = std::move(*hour);
    figures.report_rss = std::move(*lengths);
    return figures;
}

}  // namespace rqs::bench
