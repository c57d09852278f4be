// SPDX-License-Identifier: BSD-2-Clause
// The line of -W: what a wait was spent on.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "model/event.h"
#include "model/known_names.h"
#include "sinks/line.h"

namespace rqs::sinks {

/// What lines below an event begin with; no line of the drop-in columns begins with a space.
constexpr std::string_view indent = "    ";

/// `hog 4711`
void put_task_name(Line& line, const TaskId& task);

/// Not thread-safe: it keeps its memory from line to line.
class WhyLine {
  public:
    /// `width`: the columns at which a line goes on below, between two parts; 0: never. `names` may
    /// be null.
    WhyLine(std::uint32_t named_tasks, std::size_t width, const KnownNames* names)
        : named_tasks_(named_tasks), width_(width), names_(names) {}

    /// `contention: foreign 12.1 ms ffmpeg 4711 · self 3.0 ms web 812 · +3 others 0.2 ms`, and what
    /// there is to remark about the wait.
    void put(Line& line, const Wait& wait);

  private:
    void part(Line& line, const Part& part, const Wait& wait);
    void quota(Line& line, std::uint64_t cgroup_id) const;
    void piece(Line& line, std::string_view text, bool first);
    void remarks(Line& line, const Wait& wait);

    std::uint32_t named_tasks_;
    std::size_t width_;
    const KnownNames* names_;
    std::size_t column_ = 0;
    std::string piece_;
};

/// ` (unstamped)`, ` (incomplete)`
void put_remarks(Line& line, const Wait& wait);

}  // namespace rqs::sinks
