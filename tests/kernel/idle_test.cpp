// SPDX-License-Identifier: BSD-2-Clause
// Waits that an idle CPU could have spared: a task that may use one CPU alone had no other.
#include <gtest/gtest.h>

#include <cstdint>
#include <cstdio>
#include <nlohmann/json.hpp>
#include <set>
#include <string>
#include <vector>

#include "harness/program.h"
#include "situation.h"
#include "tracer.h"

namespace rqs::ktest {
namespace {

using Json = nlohmann::json;

std::string binary() {
    const char* path = std::getenv("RQS_BINARY");
    return path != nullptr ? path : RQS_DEFAULT_BINARY;
}

/// Processes that want the scene's CPU all the time, and may use no other.
std::vector<Process> pinned_hogs(int count) {
    std::vector<Process> hogs;
    for (int i = 0; i < count; ++i) {
        hogs.emplace_back([] {
            set_name("pinned-hog");
            pin(scene_cpu());
            burn_ns(60'000'000'000);
        });
    }
    return hogs;
}

/// ns of the rows of `list` that are these processes'.
std::uint64_t ns_of(const Json& list, const std::vector<Process>& processes, const char* key) {
    std::set<int> pids;
    for (const Process& process : processes) {
        pids.insert(process.pid());
    }
    std::uint64_t ns = 0;
    for (const Json& row : list) {
        ns += pids.count(row.value("pid", 0)) > 0 ? row.value(key, std::uint64_t{0}) : 0;
    }
    return ns;
}

TEST(RecordedIdle, ATaskThatMayUseOneCpuHadNoOther) {
    if (scene_cpu() == quiet_cpu()) {
        GTEST_SKIP() << "one CPU leaves nothing to choose";
    }
    const std::string path = temporary_path("idle.rec");
    const auto hogs = pinned_hogs(2);
    sleep_ns(200_ms);  // until they are where they want to be
    Tracer tracer({"record", "-o", path, "-d", "1.5"});
    ASSERT_EQ(tracer.join(), 0) << tracer.stderr_text();
    const auto outcome = harness::run({binary(), "report", "-f", "json", path});
    (void)std::remove(path.c_str());
    ASSERT_EQ(outcome.code, 0) << outcome.err;
    const Json report = Json::parse(outcome.out);

    EXPECT_GT(ns_of(report["victims"], hogs, "wait_ns"), 500_ms);
    const Json& avoidable = report["avoidable"];
    ASSERT_TRUE(avoidable.is_object()) << outcome.out;
    EXPECT_EQ(avoidable.value("unknown_affinity_waits", std::uint64_t{1}), 0U);
    EXPECT_EQ(ns_of(avoidable["victims"], hogs, "ns"), 0U);
}

}  // namespace
}  // namespace rqs::ktest
