// SPDX-License-Identifier: BSD-2-Clause
// Events into a SQLite database (docs/SQL.md), a row each.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "database/connection.h"
#include "database/names.h"
#include "model/recording_info.h"
#include "session/consumer.h"
#include "util/new_file.h"

namespace rqs::database {

/// Takes millions of rows; its memory does not grow with them. A failure does not end the session,
/// for others read it too: publish() says what it was.
class Writer final : public Consumer {
  public:
    /// As many tasks as a wait names in JSON.
    static constexpr std::uint32_t default_named_tasks = 16;

    /// `path` must not be there yet. It shows up in publish().
    static Result<std::unique_ptr<Writer>> create(std::string path, std::uint32_t named_tasks);

    [[nodiscard]] Needs needs() const override;
    void begin(const RunInfo& info) override;
    void ran(const Ran& ran) override;
    void wait(const Wait& wait) override;
    void loss(const Loss& loss) override;
    void clock(const ClockReading& reading) override;
    void end(const RunEnd& end) override;

    /// After end(), once: the facts that only the recording knows; then the file is complete.
    /// Without this call nothing is left of it.
    Status publish(const RecordingInfo& info, const std::vector<std::string>& damage);

  private:
    struct Statements {
        explicit Statements(Connection& connection);
        Statement wait, part, run, loss, clock;
    };

    Writer(util::NewFile file, std::unique_ptr<Connection> connection, std::uint32_t named_tasks)
        : file_(std::move(file)), connection_(std::move(connection)), named_tasks_(named_tasks) {}

    void write_parts(std::int64_t wait_row, const Wait& wait);
    void write_part(std::int64_t wait_row, std::uint32_t number, const Part& part);
    void write_facts(const RecordingInfo& info);
    void write_cpus(const RecordingInfo& info);
    void write_damage(const std::vector<std::string>& damage);

    util::NewFile file_;
    std::unique_ptr<Connection> connection_;
    std::uint32_t named_tasks_;
    std::optional<Names> names_;      // from begin() on
    std::optional<Statements> into_;  // likewise
    RunInfo info_;
    std::optional<std::int64_t> realtime_offset_ns_;
    std::uint64_t ended_ns_ = 0;
    std::uint64_t left_out_ = 0;
    std::uint64_t switches_ = 0;
    std::int64_t waits_ = 0;
    std::uint64_t wait_ns_ = 0;
    std::uint64_t lost_ = 0;
};

}  // namespace rqs::database
