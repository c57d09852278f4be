// SPDX-License-Identifier: BSD-2-Clause
// What a user sees of a run, live or replayed: the consumers that the view options ask for.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "aggregate/summarizer.h"
#include "consumers/printer.h"
#include "model/options.h"
#include "session/consumer.h"
#include "util/output.h"

namespace rqs {

/// Standard output, or the file at `path` where that is not empty. Gives up waiting for a reader
/// once the program has been asked to end.
Result<util::Output> open_output(const std::string& path);

/// Columns of the terminal that reads the output; 80 where there is none.
std::size_t width_of(int fd);

class Views {
  public:
    /// `view` and `out` must outlive it. `history`: as in SinkSetup.
    Views(const ViewOptions& view, util::Output& out, std::uint32_t history);

    /// In the order in which a session is to call them.
    [[nodiscard]] std::vector<Consumer*> consumers() const;

  private:
    std::unique_ptr<Printer> printer_;
    std::unique_ptr<Summarizer> summarizer_;
};

}  // namespace rqs
