// SPDX-License-Identifier: BSD-2-Clause
#include "bench/experiments.h"

#include <fmt/format.h>

#include <csignal>
#include <nlohmann/json.hpp>

#include "bench/measure.h"

namespace rqs::bench {
namespace {

constexpr std::uint32_t few_threads = 10;
constexpr std::uint32_t many_threads = 20'000;
constexpr std::uint64_t fast_rate = 120'000;  // waits a second, above what is claimed

/// A variant, the command that it stands for, and what it has found so far.
struct Variant {
    Tool::Spec spec;  ///< no words: nothing runs
    VariantFigures figures;
};

Variant make_variant(Role role, std::string label, Words argv, bool uses_bpf = true) {
    Variant variant;
    variant.spec = {std::move(argv), uses_bpf, false};
    variant.figures.role = role;
    variant.figures.label = std::move(label);
    return variant;
}

std::vector<Variant> make_variants(const Plan& plan) {
    std::vector<Variant> variants{
        make_variant(Role::untraced, "untraced", {}),
        make_variant(Role::empty, "empty program on the hook", {plan.program("rqs_empty")}),
        make_variant(Role::ours, "runqslower, default threshold", {plan.ours}),
        make_variant(Role::ours_all, "runqslower, every wait, JSON",
                     {plan.ours, "0", "-f", "json"}),
        make_variant(Role::classic, "classic method, default threshold",
                     {plan.program("rqs_classic")}),
        make_variant(Role::classic_all, "classic method, every wait",
                     {plan.program("rqs_classic"), "0"}),
        make_variant(Role::perf, "perf sched record",
                     {"perf", "sched", "record", "-o", "/dev/null"}, false),
    };
    if (!plan.has_perf) {
        variants.back().figures.missing = "not installed";
    }
    if (!plan.peer.empty()) {
        variants.push_back(make_variant(Role::peer, "peer, default threshold", {plan.peer}));
    }
    return variants;
}

Status measure_hook_of(const Plan& plan, const Tool& tool, VariantFigures& figures) {
    const auto hook = measure_hook(tool.pid(), plan, load_words(plan, "pingpong"));
    if (!hook) {
        return tl::unexpected(hook.error());
    }
    figures.hook_ns.add(hook->ns_per_switch);
    figures.runs.add(hook->runs_per_switch);
    return {};
}

/// The two workloads as they run when nobody counts the programs' time.
Status measure_workloads(const Plan& plan, VariantFigures& figures) {
    const auto pingpong = measure_load(plan, load_words(plan, "pingpong"));
    if (!pingpong) {
        return tl::unexpected(pingpong.error());
    }
    figures.pingpong_ns.add(*pingpong);
    const auto hackbench = measure_load(plan, load_words(plan, "hackbench"));
    if (!hackbench) {
        return tl::unexpected(hackbench.error());
    }
    figures.hackbench_ns.add(*hackbench);
    return {};
}

void add_memory(pid_t pid, VariantFigures& figures) {
    const Memory used = memory(pid);
    figures.peak_rss.add(static_cast<double>(used.peak_rss));
    figures.kernel_bytes.add(static_cast<double>(used.kernel));
    figures.total_bytes.add(static_cast<double>(used.total()));
}

Status run_tool(const Plan& plan, const Tool::Spec& spec, VariantFigures& figures) {
    auto tool = Tool::start(spec);
    if (!tool) {
        return tl::unexpected(tool.error());
    }
    if (spec.uses_bpf) {
        figures.attach_ms.add(milliseconds((*tool)->time_to_attach()));
        if (Status ok = measure_hook_of(plan, **tool, figures); !ok) {
            return ok;
        }
    }
    const std::uint64_t cpu_before_ns = cpu_time_ns((*tool)->pid());
    const auto begin = Clock::now();
    if (Status ok = measure_workloads(plan, figures); !ok) {
        return ok;
    }
    const auto elapsed = std::chrono::duration<double, std::nano>{Clock::now() - begin}.count();
    const std::uint64_t cpu_ns = cpu_time_ns((*tool)->pid()) - cpu_before_ns;
    figures.cpu_percent.add(static_cast<double>(cpu_ns) / elapsed * 100);
    add_memory((*tool)->pid(), figures);
    const auto word = (*tool)->stop();
    if (!word) {
        return tl::unexpected(word.error());
    }
    add_counter(figures.seen, word->seen);
    add_counter(figures.kept, word->kept);
    add_counter(figures.lost, word->lost);
    return {};
}

/// A peer or perf that does not run is a gap in the table; anything of ours is an error.
Status run_variant(const Plan& plan, Variant& variant) {
    VariantFigures& figures = variant.figures;
    if (!figures.missing.empty()) {
        return {};
    }
    Status status = variant.spec.argv.empty() ? measure_workloads(plan, figures)
                                              : run_tool(plan, variant.spec, figures);
    if (!status && (figures.role == Role::peer || figures.role == Role::perf)) {
        figures.missing = status.error().message;
        status = {};
    }
    return status;
}

/// Each round begins with another variant, so that none always runs in the wake of the same one.
Status run_round(const Plan& plan, std::vector<Variant>& variants, std::size_t round) {
    for (std::size_t i = 0; i < variants.size(); ++i) {
        if (Status ok = run_variant(plan, variants[(i + round) % variants.size()]); !ok) {
            return ok;
        }
    }
    return {};
}

/// One more start of each tool with nothing else to do: cheap, and start-up is noisy.
Status add_start_ups(std::vector<Variant>& variants) {
    for (Variant& variant : variants) {
        if (variant.spec.argv.empty() || !variant.spec.uses_bpf ||
            !variant.figures.missing.empty()) {
            continue;
        }
        auto tool = Tool::start(variant.spec);
        if (!tool) {
            return tl::unexpected(tool.error());
        }
        variant.figures.attach_ms.add(milliseconds((*tool)->time_to_attach()));
        if (const auto word = (*tool)->stop(); !word) {
            return tl::unexpected(word.error());
        }
    }
    return {};
}

const Variant& find(const std::vector<Variant>& variants, Role role) {
    for (const Variant& variant : variants) {
        if (variant.figures.role == role) {
            return variant;
        }
    }
    return variants.front();
}

/// What needs two variants of one round: net of the empty program, slower than untraced.
void add_relations(std::vector<Variant>& variants) {
    const VariantFigures empty = find(variants, Role::empty).figures;
    const VariantFigures untraced = find(variants, Role::untraced).figures;
    for (Variant& variant : variants) {
        VariantFigures& figures = variant.figures;
        figures.net_ns = net_of(figures.hook_ns, figures.runs, empty.hook_ns, empty.runs);
        for (std::size_t i = 0; i < figures.hackbench_ns.size(); ++i) {
            figures.pingpong_slowdown.add(figures.pingpong_ns.at(i) / untraced.pingpong_ns.at(i));
            figures.hackbench_slowdown.add(figures.hackbench_ns.at(i) /
                                           untraced.hackbench_ns.at(i));
        }
    }
}

/// Our tool keeping every wait, all of its output read and counted.
Result<std::unique_ptr<Tool>> start_counted(const Plan& plan) {
    return Tool::start({{plan.ours, "0", "-f", "json"}, true, true});
}

LossFigures make_loss_figures(const LastWord& word) {
    LossFigures figures;
    figures.measured = word.seen && word.kept && word.lost;
    figures.seen = word.seen.value_or(0);
    figures.kept = word.kept.value_or(0);
    figures.lost = word.lost.value_or(0);
    figures.lines = word.wait_lines;
    figures.left_out = word.left_out;
    return figures;
}

/// One row of the table of threads: a variant and a load.
struct ThreadCase {
    Role role;
    std::string program;
    std::string load;
};

std::vector<ThreadCase> make_thread_cases(const Plan& plan) {
    std::vector<ThreadCase> cases;
    const Words loads = plan.with_ring ? Words{"threads", "ring"} : Words{"threads"};
    for (const std::string& load : loads) {
        cases.push_back({Role::empty, plan.program("rqs_empty"), load});
        cases.push_back({Role::ours, plan.ours, load});
        if (plan.with_ring) {
            cases.push_back({Role::classic, plan.program("rqs_classic"), load});
        }
    }
    return cases;
}

Result<double> measure_beside_threads(const Plan& plan, const ThreadCase& which,
                                      std::uint32_t tasks) {
    Words words = load_words(plan, which.load);
    words.insert(words.end(), {"--tasks", fmt::format("{}", tasks)});
    auto load = Load::start(plan.program("rqs_load"), words);
    if (!load) {
        return tl::unexpected(load.error());
    }
    auto tool = Tool::start({{which.program}, true, false});
    if (!tool) {
        return tl::unexpected(tool.error());
    }
    const auto hook = measure_hook((*tool)->pid(), *load);
    if (!hook) {
        return tl::unexpected(hook.error());
    }
    return hook->ns_per_switch;
}

Status add_thread_round(const Plan& plan, const ThreadCase& which, ThreadFigures& figures) {
    const auto few = measure_beside_threads(plan, which, few_threads);
    if (!few) {
        return tl::unexpected(few.error());
    }
    const auto many = measure_beside_threads(plan, which, many_threads);
    if (!many) {
        return tl::unexpected(many.error());
    }
    figures.few_ns.add(*few);
    figures.many_ns.add(*many);
    return {};
}

}  // namespace

Result<std::vector<VariantFigures>> compare_variants(const Plan& plan) {
    std::vector<Variant> variants = make_variants(plan);
    for (int round = 0; round < plan.rounds; ++round) {
        progress(fmt::format("comparison, round {} of {}", round + 1, plan.rounds));
        if (const Status ok = run_round(plan, variants, static_cast<std::size_t>(round)); !ok) {
            return tl::unexpected(ok.error());
        }
    }
    for (int i = 0; i < plan.start_ups; ++i) {
        if (const Status ok = add_start_ups(variants); !ok) {
            return tl::unexpected(ok.error());
        }
    }
    add_relations(variants);
    std::vector<VariantFigures> figures;
    for (Variant& variant : variants) {
        figures.push_back(std::move(variant.figures));
    }
    return figures;
}

Result<LossFigures> starve_reader(const Plan& plan) {
    progress("hackbench with a starved reader");
    auto tool = start_counted(plan);
    if (!tool) {
        return tl::unexpected(tool.error());
    }
    auto load = Load::start(plan.program("rqs_load"),
                            {"hackbench", "--seconds", fmt::format("{}", plan.loss_s)});
    if (!load) {
        return tl::unexpected(load.error());
    }
    if (const Status started = load->go(); !started) {
        return tl::unexpected(started.error());
    }
    const std::chrono::duration<double> quarter{plan.loss_s / 4};
    std::this_thread::sleep_for(quarter);
    (*tool)->signal(SIGSTOP);
    std::this_thread::sleep_for(2 * quarter);
    (*tool)->signal(SIGCONT);
    if (const auto run = load->result(); !run) {
        return tl::unexpected(run.error());
    }
    const auto word = (*tool)->stop();
    if (!word) {
        return tl::unexpected(word.error());
    }
    return make_loss_figures(*word);
}

/// Two ping-pongs, on two CPUs where there are two: one alone is not fast enough everywhere.
/// Returns the waits a second that they made.
static Result<double> run_paced(const Plan& plan) {
    std::vector<Load> loads;
    for (const int cpu : {plan.cpu, 0}) {
        auto load =
            Load::start(plan.program("rqs_load"),
                        {"paced", "--seconds", fmt::format("{}", plan.loss_s), "--cpu",
                         fmt::format("{}", cpu), "--rate", fmt::format("{}", fast_rate / 2)});
        if (!load) {
            return tl::unexpected(load.error());
        }
        loads.push_back(std::move(*load));
    }
    for (Load& load : loads) {
        if (const Status went = load.go(); !went) {
            return tl::unexpected(went.error());
        }
    }
    double rate = 0;
    for (Load& load : loads) {
        const auto run = load.result();
        if (!run) {
            return tl::unexpected(run.error());
        }
        rate += 2e9 / run->ns_per_op();
    }
    return rate;
}

Result<LossFigures> run_fast(const Plan& plan) {
    progress("more than 100,000 waits a second");
    auto tool = start_counted(plan);
    if (!tool) {
        return tl::unexpected(tool.error());
    }
    const auto rate = run_paced(plan);
    if (!rate) {
        return tl::unexpected(rate.error());
    }
    const auto word = (*tool)->stop();
    if (!word) {
        return tl::unexpected(word.error());
    }
    LossFigures figures = make_loss_figures(*word);
    figures.load_rate = *rate;
    return figures;
}

Result<std::vector<FormatFigure>> measure_formats(const Plan& plan) {
    progress("formatting");
    const auto text = output_of({plan.program("rqs_format_bench"), "--benchmark_format=json",
                                 fmt::format("--benchmark_min_time={}", plan.window_s)});
    if (!text) {
        return tl::unexpected(text.error());
    }
    const auto json = nlohmann::json::parse(text->text, nullptr, false);
    if (!json.is_object() || !json.contains("benchmarks")) {
        return fail("rqs_format_bench did not report its figures: build it first");
    }
    std::vector<FormatFigure> figures;
    for (const auto& row : json["benchmarks"]) {
        const auto name = row.value("name", std::string{});
        figures.push_back({name.substr(name.find('/') + 1), row.value("items_per_second", 0.0)});
    }
    return figures;
}

Result<std::vector<ThreadFigures>> compare_threads(const Plan& plan) {
    const std::vector<ThreadCase> cases = make_thread_cases(plan);
    std::vector<ThreadFigures> figures;
    for (const ThreadCase& which : cases) {
        ThreadFigures row;
        row.few = few_threads;
        row.many = many_threads;
        row.load = which.load;
        row.role = which.role;
        figures.push_back(std::move(row));
    }
    for (int round = 0; round < plan.thread_rounds; ++round) {
        progress(fmt::format("{} and {} threads, round {} of {}", few_threads, many_threads,
                             round + 1, plan.thread_rounds));
        for (std::size_t i = 0; i < cases.size(); ++i) {
            if (const Status ok = add_thread_round(plan, cases[i], figures[i]); !ok) {
                return tl::unexpected(ok.error());
            }
        }
    }
    return figures;
}

}  // namespace rqs::bench
