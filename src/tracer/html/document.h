// SPDX-License-Identifier: BSD-2-Clause
// The data of the page as JSON, and the page around it. web/data.ts reads it; nobody else does, so
// it may change with the page.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "aggregate/loss_timeline.h"
#include "html/cast.h"
#include "html/lane_grid.h"
#include "html/longest_waits.h"
#include "html/pair_grid.h"
#include "html/run_store.h"
#include "html/time_grid.h"
#include "html/wait_grid.h"
#include "model/recording_info.h"
#include "session/consumer.h"

namespace rqs::html {

/// Everything that the page is made of.
struct Picture {
    explicit Picture(GroupBy by, const RunInfo& info)
        : run(info), grid(info.began_ns), cast(by, info.names), lanes(info.cpus), runs(info.cpus) {}

    RunInfo run;
    std::uint64_t ended_ns = 0;
    std::int64_t realtime_offset_ns = 0;  ///< at the beginning
    std::uint64_t waits = 0;
    std::uint64_t wait_ns = 0;
    std::uint64_t longest_ns = 0;
    std::uint64_t switches = 0;
    std::uint64_t left_out = 0;
    TimeGrid grid;
    Cast cast;
    WaitGrid lengths;
    PairGrid pairs;
    LaneGrid lanes;
    RunStore runs;
    LongestWaits longest;
    LossTimeline losses;
    std::string listed = "[]";  ///< the longest waits as JSON, from list_waits() on
};

/// The page is smaller than this, whatever was recorded: single switches give way.
constexpr std::size_t most_page_bytes = 9'500'000;

/// While the session's names are there still. Nothing is named after that.
void list_waits(Picture& picture);

/// ASCII, and without any `<`: it can stand in a script element. Leaves out switches for which a
/// page of `most_bytes` has no room.
std::string document(Picture& picture, const RecordingInfo& info,
                     const std::vector<std::string>& damage, std::size_t most_bytes);

/// `page_template` with `data` in its place.
std::string page(std::string_view page_template, std::string_view data);

}  // namespace rqs::html
