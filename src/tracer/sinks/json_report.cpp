// SPDX-License-Identifier: BSD-2-Clause
// The record of a report (docs/OUTPUT_SCHEMA.md).
#include "model/group_by.h"
#include "model/names.h"
#include "sinks/json_fields.h"

namespace rqs::sinks::json {
void group(Line& line, const Group& group) {
    word(line, R"({"kind":")", name(group.kind));
    switch (group.kind) {
        case Group::Kind::process:
        case Group::Kind::parent:
            field(line, ",\"pid\":", group.id);
            line.text(",\"comm\":");
            break;
        case Group::Kind::thread:
            field(line, ",\"tid\":", group.id);
            field(line, ",\"pid\":", group.pid);
            line.text(",\"comm\":");
            break;
        case Group::Kind::comm:
            line.text(",\"comm\":");
            break;
        case Group::Kind::cgroup:
            field(line, ",\"cgroup_id\":", group.id);
            line.text(",\"path\":");
            break;
        case Group::Kind::cpu:
            field(line, ",\"cpu\":", group.id);
            return;
        default:
            return;
    }
    line.json_string(group.label);
}

namespace {

void causes(Line& line, const SummaryReport& report) {
    list(line, ",\"causes\":[", report.causes, [&](const auto& row) {
        word(line, R"({"cause":")", name(row.cause));
        field(line, ",\"waits\":", row.waits);
        field(line, ",\"wait_ns\":", row.wait_ns);
    });
}

void kinds(Line& line, const SummaryReport& report) {
    list(line, ",\"kinds\":[", report.kinds, [&](const auto& row) {
        word(line, R"({"kind":")", name(row.kind));
        field(line, ",\"waits\":", row.waits);
        field(line, ",\"wait_ns\":", row.wait_ns);
        field(line, ",\"p50_ns\":", row.p50_ns);
        field(line, ",\"p99_ns\":", row.p99_ns);
        field(line, ",\"max_ns\":", row.max_ns);
    });
}

void percentiles(Line& line, const SummaryReport& report) {
    line.text(",\"percentiles_ns\":{");
    for (const auto& percentile : report.percentiles) {
        line.text("\"");
        line.text(percentile.name);
        field(line, "\":", percentile.ns);
        line.text(",");
    }
    field(line, "\"max\":", report.max_ns);
    line.text("}");
}

void victims(Line& line, const SummaryReport& report) {
    list(line, ",\"victims\":[", report.victims, [&](const auto& victim) {
        group(line, victim.who);
        field(line, ",\"waits\":", victim.waits);
        field(line, ",\"wait_ns\":", victim.wait_ns);
        if (!report.sampled) {
            field(line, ",\"max_ns\":", victim.max_ns);
        }
        if (victim.ran_ns + victim.waited_ns > 0) {
            field(line, ",\"ran_ns\":", victim.ran_ns);
            field(line, ",\"waited_ns\":", victim.waited_ns);
        }
    });
}

void culprits(Line& line, const SummaryReport& report) {
    list(line, ",\"culprits\":[", report.culprits, [&](const auto& culprit) {
        group(line, culprit.who);
        field(line, ",\"ns\":", culprit.ns);
    });
}

void table(Line& line, const SummaryReport& report) {
    list(line, R"(,"table":{"culprits":[)", report.table_culprits,
         [&](const auto& culprit) { group(line, culprit); });
    list(line, ",\"rows\":[", report.table, [&](const auto& row) {
        line.text("{\"victim\":");
        group(line, row.victim);
        line.text("},\"ns\":[");
        for (const std::uint64_t ns : row.ns) {
            line.number(ns);
            line.text(",");
        }
        line.number(row.others_ns);
        field(line, "],\"wait_ns\":", row.wait_ns);
    });
    line.text("}");
}

}  // namespace

void report_fields(Line& line, const SummaryReport& report, std::uint64_t min_us) {
    line.text(report.last ? ",\"last\":true" : ",\"last\":false");
    word(line, R"(,"by":")", name(report.by));
    line.text(report.sampled ? ",\"sampled\":true" : ",\"sampled\":false");
    field(line, ",\"min_us\":", min_us);
    field(line, ",\"duration_ns\":", report.duration_ns);
    field(line, ",\"waits\":", report.waits);
    field(line, ",\"wait_ns\":", report.wait_ns);
    if (!report.sampled) {
        field(line, ",\"lost\":", report.lost);
        if (report.last) {
            field(line, ",\"left_out\":", report.left_out);
        }
        field(line, ",\"unknown_ns\":", report.unknown_ns);
        causes(line, report);
        kinds(line, report);
        percentiles(line, report);
    }
    victims(line, report);
    if (!report.sampled) {
        culprits(line, report);
        table(line, report);
    }
}

}  // namespace rqs::sinks::json
