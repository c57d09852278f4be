// SPDX-License-Identifier: BSD-2-Clause
// Events into one HTML file (docs/HTML_REPORT.md).
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "html/document.h"
#include "model/recording_info.h"
#include "session/consumer.h"
#include "util/new_file.h"

namespace rqs::html {

/// Adds up while events come, in memory that does not grow with them: at most some 60 MiB, most of
/// it for pairs and lanes of large machines.
class Writer final : public Consumer {
  public:
    static constexpr std::uint32_t named_tasks = 16;

    /// `path` must not be there yet. It shows up in publish().
    static Result<std::unique_ptr<Writer>> create(std::string path, GroupBy by);

    [[nodiscard]] Needs needs() const override;
    void begin(const RunInfo& info) override;
    void ran(const Ran& ran) override;
    void wait(const Wait& wait) override;
    void loss(const Loss& loss) override;
    void end(const RunEnd& end) override;

    /// After end(), once: then the file is complete. Without this call nothing is left of it.
    Status publish(const RecordingInfo& info, const std::vector<std::string>& damage);

  private:
    /// A wait that ended on a CPU whose run is not over yet.
    struct Arrival {
        std::uint32_t tid = 0;
        std::uint64_t ts_ns = 0;
        std::uint64_t wait_ns = 0;
        Cause cause = Cause::unknown;
    };

    Writer(util::NewFile file, GroupBy by) : file_(std::move(file)), by_(by) {}

    void reach(std::uint64_t ns);

    util::NewFile file_;
    GroupBy by_;
    std::optional<Picture> picture_;  // from begin() on
    std::vector<Arrival> arrivals_;   // one a CPU
};

}  // namespace rqs::html
