// SPDX-License-Identifier: BSD-2-Clause
// Waits that need not have been, and how the CPUs shared the work.
#include "sinks/idle_tables.h"

#include <fmt/format.h>

#include "aggregate/idle_report.h"
#include "sinks/columns.h"
#include "sinks/put.h"
#include "sinks/report_tables.h"
#include "sinks/words.h"

namespace rqs::sinks {
namespace {

constexpr std::size_t name_width = 32;

void append_victims(std::string& out, const IdleReport& idle) {
    put(out, "\n  {:<{}}{:>9}{:>13}{:>10}\n", "COULD HAVE RUN ON AN IDLE CPU", name_width, "WAITS",
        "TIME(ms)", "ON CPU");
    for (const IdleVictims::Row& row : idle.victims) {
        out += "  ";
        append_left(out, group_label(row.who, name_width), name_width);
        put(out, "{:>9}{:>13.3f}{:>10}\n", row.waits, in_ms(row.ns),
            row.idle_cpu ? fmt::format("{}", *row.idle_cpu) : "-");
    }
}

// What the figures rest on.
void append_doubts(std::string& out, const IdleReport& idle) {
    if (idle.throttled_waits > 0) {
        put(out, "  {} waits were throttled in part and are left out\n", idle.throttled_waits);
    }
    if (idle.undecided_waits > 0) {
        put(out, "  {} waits may have been avoidable for longer than is known\n",
            idle.undecided_waits);
    }
}

void append_cpus(std::string& out, const IdleReport& idle) {
    put(out, "\n  {:<6}{:>9}{:>9}{:>21}{:>12}{:>14}\n", "CPU", "BUSY(%)", "IDLE(%)",
        "IDLE, OTHERS QUEUED", "WAITS", "WAITED(ms)");
    for (const IdleReport::Cpu& cpu : idle.cpus) {
        const std::uint64_t whole_ns = cpu.busy_ns + cpu.idle_ns;
        put(out, "  {:<6}{:>9.1f}{:>9.1f}{:>18.3f} ms{:>12}{:>14.3f}\n", cpu.cpu,
            percent(cpu.busy_ns, whole_ns), percent(cpu.idle_ns, whole_ns),
            in_ms(cpu.idle_while_others_queued_ns), cpu.waits, in_ms(cpu.wait_ns));
    }
}

}  // namespace

void append_idle_tables(std::string& out, const RecordingReport& report) {
    if (!report.idle) {
        return;
    }
    const IdleReport& idle = *report.idle;
    put(out,
        "\n  Avoidable: {:.3f} ms of {} waits, while a CPU idled that they may use ({:.1f} %)\n",
        in_ms(idle.avoidable_ns), idle.avoidable_waits,
        percent(idle.avoidable_ns, report.summary.wait_ns));
    if (!idle.victims.empty()) {
        append_victims(out, idle);
    }
    append_doubts(out, idle);
    append_cpus(out, idle);
}

}  // namespace rqs::sinks
