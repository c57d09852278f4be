// SPDX-License-Identifier: BSD-2-Clause
#include "database/writer.h"

#include <fmt/format.h>

#include <string_view>
#include <utility>

#include "database/schema.h"
#include "model/names.h"
#include "sinks/named_parts.h"
#include "util/safe_text.h"

namespace rqs::database {
namespace {

/// "RQSL", for file(1) and whoever else looks at PRAGMA application_id.
constexpr std::uint32_t application_id = 0x5251534c;

constexpr std::nullopt_t none = std::nullopt;

std::optional<std::uint64_t> if_known(bool known, std::uint64_t value) {
    return known ? std::optional<std::uint64_t>(value) : std::nullopt;
}

std::optional<std::int32_t> place(std::int32_t number) {
    return number < 0 ? std::nullopt : std::optional<std::int32_t>(number);
}

}  // namespace

Result<std::unique_ptr<Writer>> Writer::create(std::string path, std::uint32_t named_tasks) {
    auto file = util::NewFile::create(std::move(path));
    if (!file) {
        return tl::unexpected(file.error());
    }
    auto connection = Connection::open(file->temporary_path(),
                                       fmt::format("'{}'", util::printable(file->path())));
    if (!connection) {
        return tl::unexpected(connection.error());
    }
    return std::unique_ptr<Writer>(
        new Writer(std::move(*file), std::move(*connection), named_tasks));
}

Writer::Statements::Statements(Connection& connection)
    : wait(connection,
           "INSERT INTO waits VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"),
      part(connection, "INSERT INTO parts VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"),
      run(connection, "INSERT INTO runs VALUES (NULL, ?, ?, ?, ?, ?, ?, ?)"),
      loss(connection, "INSERT INTO losses VALUES (NULL, ?, ?, ?, ?, ?)"),
      clock(connection, "REPLACE INTO clocks VALUES (?, ?)") {}

Needs Writer::needs() const {
    Needs needs;
    needs.stretches = true;  // with which the runs come
    needs.parts = true;
    needs.named_tasks = named_tasks_;
    needs.process_names = true;
    needs.cgroup_names = true;
    return needs;
}

void Writer::begin(const RunInfo& info) {
    info_ = info;
    connection_->execute(fmt::format("PRAGMA application_id = {}; PRAGMA user_version = {}; BEGIN;",
                                     application_id, schema_version));
    connection_->execute(tables);
    names_.emplace(*connection_, *info.names);
    into_.emplace(*connection_);
    clock({0, info.realtime_offset_ns});  // from ever on
}

void Writer::clock(const ClockReading& reading) {
    if (realtime_offset_ns_ != reading.realtime_offset_ns) {
        realtime_offset_ns_ = reading.realtime_offset_ns;
        into_->clock.run(reading.ts_ns, reading.realtime_offset_ns);
    }
}

void Writer::ran(const Ran& ran) {
    ++switches_;
    const bool known = ran.length_ns > 0;
    into_->run.run(ran.cpu, if_known(ran.end_ns > 0, ran.end_ns), if_known(known, ran.length_ns),
                   if_known(known, ran.ran_ns), names_->task(ran.task),
                   names_->cgroup(ran.cgroup_id, Names::Hierarchy::cpu), name(ran.left));
}

void Writer::wait(const Wait& wait) {
    const std::int64_t row = ++waits_;
    wait_ns_ += wait.wait_ns;
    std::optional<std::int64_t> v2_cgroup;
    if (wait.cgroup_id != wait.sched_cgroup_id) {
        v2_cgroup = names_->cgroup(wait.cgroup_id, Names::Hierarchy::v2);
    }
    std::optional<std::int64_t> waker;
    std::optional<std::uint32_t> waker_cpu;
    std::optional<std::string_view> context;
    if (wait.waker) {
        waker = names_->task(wait.waker->task);
        waker_cpu = wait.waker->cpu;
        context = wait.waker->interrupt ? "interrupt" : "task";
    }
    into_->wait.run(row, wait.ts_ns, wait.wait_ns, wait.cpu, names_->task(wait.task),
                    name(wait.kind), name(wait.cause), name(wait.policy), wait.prio,
                    names_->cgroup(wait.sched_cgroup_id, Names::Hierarchy::cpu), v2_cgroup,
                    names_->task(wait.prev), wait.stamped, wait.complete, waker, waker_cpu,
                    context);
    write_parts(row, wait);
}

// Another consumer may have asked for more names.
void Writer::write_parts(std::int64_t wait_row, const Wait& wait) {
    std::uint32_t number = 0;
    const auto others = sinks::show_parts(
        wait.why, named_tasks_, [&](const Part& part) { write_part(wait_row, number++, part); });
    if (others.count > 0) {
        into_->part.run(wait_row, number, name(PartKind::others), others.ns, none, none, none, none,
                        none, none, others.count);
    }
}

void Writer::write_part(std::int64_t wait_row, std::uint32_t number, const Part& part) {
    if (part.kind != PartKind::ran) {
        into_->part.run(wait_row, number, name(part.kind), part.ns, none, none, none, none, none,
                        none, part.count);
        return;
    }
    into_->part.run(wait_row, number, name(part.kind), part.ns, names_->task(part.task),
                    name(part.relation), names_->cgroup(part.cgroup_id, Names::Hierarchy::cpu),
                    name(part.policy), part.prio, part.kernel_thread, part.count);
}

void Writer::loss(const Loss& loss) {
    lost_ += loss.lost;
    into_->loss.run(if_known(loss.cpu != Loss::any_cpu, loss.cpu), loss.from_ns, loss.to_ns,
                    loss.lost, name(loss.reason));
}

void Writer::end(const RunEnd& end) {
    ended_ns_ = end.ended_ns;
    left_out_ = end.counters.left_out;
    names_->complete();  // the session's names end with it
}

void Writer::write_facts(const RecordingInfo& info) {
    const std::string command = fmt::format("{}", fmt::join(info.command_line, " "));
    Statement(*connection_,
              "INSERT INTO recording VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)")
        .run(util::valid_utf8(info.host), util::valid_utf8(info.kernel),
             util::valid_utf8(info.machine), util::valid_utf8(info.tool), util::valid_utf8(command),
             info.cpus, info_.began_ns, ended_ns_, info_.min_us, switches_, waits_, wait_ns_, lost_,
             left_out_);
}

void Writer::write_cpus(const RecordingInfo& info) {
    Statement into(*connection_, "REPLACE INTO cpus VALUES (?, ?, ?, ?)");
    for (const CpuPlace& cpu : info.topology) {
        into.run(cpu.cpu, place(cpu.core), place(cpu.package), place(cpu.node));
    }
}

void Writer::write_damage(const std::vector<std::string>& damage) {
    Statement into(*connection_, "INSERT INTO damage VALUES (?)");
    for (const std::string& line : damage) {
        into.run(util::valid_utf8(line));
    }
}

Status Writer::publish(const RecordingInfo& info, const std::vector<std::string>& damage) {
    write_facts(info);
    write_cpus(info);
    write_damage(damage);
    connection_->execute(views);
    connection_->execute("COMMIT;");
    const Status status = connection_->status();
    into_.reset();
    names_.reset();
    connection_.reset();
    return status ? file_.publish() : status;
}

}  // namespace rqs::database
