// SPDX-License-Identifier: BSD-2-Clause
// What every format says of losses, of what is not known, and at the end.
#include <gtest/gtest.h>

#include <algorithm>
#include <cstdlib>
#include <ctime>
#include <nlohmann/json.hpp>
#include <string>
#include <utility>

#include "sinks/sink.h"

namespace rqs {
namespace {

using nlohmann::json;

class Closing : public testing::Test {
  protected:
    void SetUp() override {
        ::setenv("TZ", "UTC", 1);
        ::tzset();
    }

    /// Refers to `view`, whose format changes with the next one.
    [[nodiscard]] std::unique_ptr<Sink> sink(Format format) {
        view.format = format;
        return make_sink({view, {}, 0, history});
    }

    ViewOptions view;
    std::uint32_t history = 0;
};

TEST_F(Closing, WordsOfTheEndGoWhereTheFormatWantsThem) {
    const RunEnd end{5'000'000'000,
                     {.seen = 10, .kept = 3, .lost = 1, .unverified = 4, .late = 2, .left_out = 6}};
    const std::string warning =
        "warning: 1 of 4 waits were lost (25 %): the figures above do not include them; a larger "
        "--buffer helps\n";
    std::string out;
    std::string talk;
    sink(Format::json)->end(out, talk, end);
    EXPECT_EQ(json::parse(out),
              json::parse(R"({"type":"summary","seen":10,"kept":3,"lost":1,"left_out":6,
                              "duration_ns":5000000000,"unverified":4,"late":2,"mode":"waits"})"));
    EXPECT_EQ(talk, warning);
    for (const Format format : {Format::text, Format::csv}) {
        out.clear();
        talk.clear();
        sink(format)->end(out, talk, end);
        EXPECT_TRUE(out.empty());
        EXPECT_EQ(talk,
                  "10 waits in 5.0 s, 3 kept, 1 lost, 6 of the tool's "
                  "own left out (--self shows them), 2 printed out of order\n" +
                      warning);
    }
}

TEST_F(Closing, NothingIsWarnedOfWhereAllIsWell) {
    for (const Format format : {Format::text, Format::json, Format::csv}) {
        const auto sink = this->sink(format);
        std::string out;
        std::string talk;
        Wait wait;
        wait.wait_ns = 100;
        wait.sums.unknown_ns = 5;
        sink->wait(out, wait);
        sink->end(out, talk, {5, {.seen = 1, .kept = 1, .unverified = 7}});
        EXPECT_EQ(talk, format == Format::json ? "" : "1 waits in 0.0 s, 1 kept, 0 lost\n");
    }
}

TEST_F(Closing, WaitsThatMayBeLongerAreExplainedWhereTheyWereShown) {
    const auto sink = this->sink(Format::text);
    std::string out;
    std::string talk;
    Wait wait;
    wait.complete = false;
    sink->wait(out, wait);
    sink->end(out, talk, {5, {.seen = 9, .kept = 1, .unverified = 7}});
    EXPECT_NE(talk.find("\n1 of these waits may be longer than shown: "), std::string::npos);
}

TEST_F(Closing, BriefWaitsAreCounted) {
    view.why = true;
    const auto sink = this->sink(Format::json);
    std::string out;
    std::string talk;
    Wait wait;
    wait.wait_ns = 100;
    wait.brief = true;
    sink->wait(out, wait);
    sink->end(out, talk, {5, {.seen = 1, .kept = 1}});
    EXPECT_EQ(
        talk,
        "1 of these waits name fewer tasks than asked for, since events came faster than they "
        "could be written; a higher threshold or a smaller --why helps\n");
}

TEST_F(Closing, MuchUnknownTimeComesWithTheOptionThatHelps) {
    view.why = true;
    Wait wait;
    wait.wait_ns = 100;
    wait.sums.unknown_ns = 6;
    for (const auto& [switches, remedy] :
         {std::pair{1024U, "6 % of the time waited is unknown: --history 4096 helps\n"},
          std::pair{4096U, "6 % of the time waited is unknown: a larger --buffer helps\n"}}) {
        history = switches;
        for (const Format format : {Format::text, Format::json, Format::csv}) {
            const auto sink = this->sink(format);
            std::string out;
            std::string talk;
            sink->wait(out, wait);
            sink->end(out, talk, {5, {.seen = 1, .kept = 1}});
            EXPECT_TRUE(talk.ends_with(remedy)) << talk;
        }
    }
    history = 1024;
    const auto lossy = this->sink(Format::json);
    std::string lossy_out;
    std::string lossy_talk;
    lossy->wait(lossy_out, wait);
    lossy->end(lossy_out, lossy_talk, {5, {.seen = 3, .kept = 1, .lost = 2}});
    EXPECT_TRUE(lossy_talk.ends_with("a larger --buffer helps\n")) << lossy_talk;
    wait.early = true;
    const auto early = this->sink(Format::json);
    std::string early_out;
    std::string early_talk;
    early->wait(early_out, wait);
    early->end(early_out, early_talk, {5, {.seen = 1, .kept = 1}});
    EXPECT_EQ(early_talk,
              "6 % of the time waited is unknown: most of it lies in waits that began before "
              "tracing did\n");
    // A reader of plain text does not see what waits were spent on.
    view.why = false;
    const auto sink = this->sink(Format::text);
    std::string out;
    std::string talk;
    sink->wait(out, wait);
    sink->end(out, talk, {5, {.seen = 1, .kept = 1}});
    EXPECT_EQ(talk.find("unknown"), std::string::npos);
}

TEST_F(Closing, LossesAreSaidOnceASecondAndNoneIsForgotten) {
    constexpr std::uint64_t second_ns = 1'000'000'000;
    for (const Format format : {Format::text, Format::json, Format::csv}) {
        const auto sink = this->sink(format);
        std::string out;
        std::string talk;
        sink->loss(out, talk, {0, 0, 1, 1});
        sink->loss(out, talk, {1, 1, second_ns, 20});
        sink->loss(out, talk, {1, second_ns, second_ns + 1, 300});
        EXPECT_EQ(talk,
                  "warning: 1 wait was lost, a buffer was full; a larger --buffer helps\n"
                  "warning: 320 waits were lost, a buffer was full; a larger --buffer helps\n");
        EXPECT_EQ(std::count(out.begin(), out.end(), '\n'), format == Format::json ? 3 : 0);
    }
}

TEST_F(Closing, JsonTellsWhereAndWhenItLost) {
    std::string out;
    std::string talk;
    sink(Format::json)->loss(out, talk, {3, 1'000'000'000, 2'000'000'000, 17});
    EXPECT_EQ(json::parse(out), json::parse(R"({"type":"loss","ts_ns":2000000000,
                              "time":"1970-01-01T00:00:02.000000+00:00","cpu":3,
                              "from_ns":1000000000,"to_ns":2000000000,"lost":17})"));
}

}  // namespace
}  // namespace rqs
