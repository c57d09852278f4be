// SPDX-License-Identifier: BSD-2-Clause
// Recordings of loads and of made-up machines, and what reading them takes.
#include <fmt/format.h>

#include <algorithm>
#include <nlohmann/json.hpp>
#include <utility>

#include "bench/experiments.h"
#include "bench/folder.h"
#include "bench/measure.h"
#include "bench/meter.h"

namespace rqs::bench {
namespace {

// As many events as an hour brings at 20,000 switches a second.
constexpr std::uint64_t switches_an_hour = 72'000'000;
constexpr std::uint64_t switches_of_many_cpus = 20'000'000;
constexpr std::uint32_t many_cpus = 256;
constexpr std::uint64_t short_recording = 2'000'000;
constexpr std::uint64_t long_recording = 16'000'000;

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

/// How many switches and waits a recording has.
double events_in(const Plan& plan, const std::string& recording) {
    const auto output = output_of({plan.ours, "report", recording, "-f", "json"});
    const auto json = output ? nlohmann::json::parse(output->text, nullptr, false)
                             : nlohmann::json(nlohmann::json::value_t::discarded);
    return json.is_object() ? json.value("switches", 0.0) + json.value("waits", 0.0) : 0;
}

Result<ImportFigures> measure_import(const Plan& plan, const std::string& format,
                                     const std::string& foreign) {
    const Folder folder;
    const std::string out = folder.file("imported");
    ImportFigures figures;
    figures.format = format;
    double events = 0;  // the same in each round
    for (int round = 0; round < plan.record_rounds; ++round) {
        const auto output = output_of({plan.ours, "import", foreign, "-o", out});
        if (!output || !output->succeeded || output->cpu_ns == 0) {
            return fail(fmt::format("a recording of {} was not imported", format));
        }
        events = round == 0 ? events_in(plan, out) : events;
        figures.events_per_s.add(events / (static_cast<double>(output->cpu_ns) / 1e9));
    }
    return figures;
}

/// Of one load, as perf recorded it, and as we write it for Perfetto.
Result<std::vector<ImportFigures>> compare_imports(const Plan& plan) {
    const Folder folder;
    const std::string ours = folder.file("ours");
    Plan longer = plan;
    longer.window_s = plan.loss_s;
    const Words words = load_words(longer, "pingpong");
    std::vector<std::pair<std::string, std::string>> files;
    if (plan.has_perf) {
        files.emplace_back("perf.data", folder.file("perf"));
        const auto made = make_recording(
            plan, {"perf", "sched", "record", "-o", files.back().second}, false, words);
        if (!made) {
            return tl::unexpected(made.error());
        }
    }
    files.emplace_back("a Perfetto trace", folder.file("perfetto"));
    const auto made = make_recording(plan, {plan.ours, "record", "-o", ours}, true, words);
    if (!made) {
        return tl::unexpected(made.error());
    }
    const auto written = output_of({plan.ours, "report", ours, "--perfetto", files.back().second});
    if (!written || !written->succeeded) {
        return fail("no Perfetto trace was written");
    }
    std::vector<ImportFigures> all;
    for (const auto& [format, file] : files) {
        auto figures = measure_import(plan, format, file);
        if (!figures) {
            return tl::unexpected(figures.error());
        }
        all.push_back(std::move(*figures));
    }
    return all;
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

Status measure_reading(const Plan& plan, RecordingFigures& figures) {
    for (const char* load : {"pingpong", "hackbench"}) {
        progress(fmt::format("reports of {}", load));
        auto report = compare_reports_of(plan, load);
        if (!report) {
            return tl::unexpected(report.error());
        }
        figures.reports.push_back(std::move(*report));
    }
    progress("imports");
    auto imports = compare_imports(plan);
    if (!imports) {
        return tl::unexpected(imports.error());
    }
    figures.imports = std::move(*imports);
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
    return {};
}

}  // namespace rqs::bench
