// SPDX-License-Identifier: BSD-2-Clause
// The options of `record` and `report`: how much is kept, and which part of it is looked at.
#include <gtest/gtest.h>

#include <cstdint>

#include "cli/parse_for_test.h"

namespace rqs::cli {
namespace {

constexpr std::uint64_t mega = 1 << 20;

TEST(Keeping, IsUnderstood) {
    expect_taken({
        {{"record"},
         [](auto& o) {
             return o.source.min_us == 0 && !o.record.max_bytes && o.record.files == 1 &&
                    !o.record.flight_s && !o.record.flight_bytes && !o.record.trigger_us;
         }},
        {{"record", "1000", "-o", "x", "--", "make"},
         [](auto& o) {
             return o.source.min_us == 1000 && o.view.output_path == "x" &&
                    o.run.command == Args{"make"};
         }},
        {{"record", "-o", "-"}, [](auto& o) { return o.view.to_stdout; }},
        {{"record", "--max-size", "500m"},
         [](auto& o) { return o.record.max_bytes == 500 * mega && o.record.files == 1; }},
        {{"record", "--max-size=3g"}, [](auto& o) { return o.record.max_bytes == 3072 * mega; }},
        {{"record", "--rotate", "5", "--max-size", "1048576"},
         [](auto& o) { return o.record.max_bytes == mega && o.record.files == 5; }},
        {{"record", "--flight", "0.5", "--flight-size", "3m", "--trigger-us", "0"},
         [](auto& o) {
             return o.record.flight_s == 0.5 && o.record.flight_bytes == 3 * mega &&
                    o.record.trigger_us == 0U;
         }},
        {{"record", "--flight", "30", "--trigger-psi", "20", "--trigger-psi", "/a:5"},
         [](auto& o) {
             return o.record.flight_s == 30.0 && o.record.trigger_pressure == Args{"20", "/a:5"};
         }},
        {{"0", "--record", "x", "--max-size", "1m", "--rotate", "2"},
         [](auto& o) {
             return o.record.path == "x" && o.record.max_bytes == mega && o.record.files == 2 &&
                    o.source.min_us == 0;
         }},
        {{"--record", "-", "-o", "x"},
         [](auto& o) { return o.record.path == "-" && o.view.output_path == "x"; }},
        {{"--record", "x", "-o", "-", "--flight", "5"},
         [](auto& o) { return o.record.path == "x" && o.record.flight_s == 5.0; }},
    });
}

TEST(Replaying, IsUnderstood) {
    expect_taken({
        {{"report", "x"},
         [](auto& o) { return o.replay.files == Args{"x"} && o.source.min_us == 0; }},
        {{"report", "y", "1000", "-", "./5"},
         [](auto& o) {
             return o.replay.files == Args{"y", "-", "./5"} && o.source.min_us == 1000;
         }},
        {{"report", "x", "--events", "-W"}, [](auto& o) { return o.replay.events && o.view.why; }},
        {{"report", "x", "--folded"}, [](auto& o) { return o.replay.events; }},
        {{"report", "x", "--from", "1.5", "--to=14:30"},
         [](auto& o) { return o.replay.from == "1.5" && o.replay.to == "14:30"; }},
    });
}

TEST(Keeping, IsRefusedWhereItCannotBe) {
    expect_refused({
        {{"record", "--max-size", "x"}, "--max-size: 'x' is not a size"},
        {{"record", "--max-size", "1k"}, "--max-size: 1k is too small; at least 1m is needed"},
        {{"record", "--rotate", "3"}, "add --max-size"},
        {{"record", "--rotate", "1", "--max-size", "1m"}, "--rotate: 1 is too small"},
        {{"record", "--rotate", "1001", "--max-size", "1m"}, "--rotate: 1001 is too large"},
        {{"record", "--rotate", "x", "--max-size", "1m"}, "--rotate: 'x'"},
        {{"record", "--max-size", "1m", "-o", "-"}, "are for files"},
        {{"record", "--rotate", "2", "-o", "-"}, "are for files"},
        {{"record", "--flight"}, "'--flight' needs a value"},
        {{"record", "--flight", "0"}, "--flight: 0 seconds is no time"},
        {{"record", "--flight", "x"}, "--flight: 'x' is not a number of seconds"},
        {{"record", "--flight", "5", "--max-size", "1m"}, "leave out --max-size"},
        {{"record", "--flight", "5", "--rotate", "3"}, "leave out --max-size and --rotate"},
        {{"record", "--flight", "5", "-o", "-"}, "name a file, not -"},
        {{"--flight", "5", "--record", "-", "-o", "x"}, "name a file, not -"},
        {{"record", "--flight-size", "4m"}, "add --flight SECONDS"},
        {{"record", "--flight", "5", "--flight-size", "1k"}, "--flight-size: 1k is too small"},
        {{"record", "--trigger-us", "5"}, "add --flight SECONDS"},
        {{"record", "--trigger-psi", "5"}, "add --flight SECONDS"},
        {{"record", "--flight", "5", "--trigger-us", "x"}, "--trigger-us: 'x'"},
        {{"record", "--flight", "5", "--trigger-psi", ""}, "--trigger-psi: an empty word"},
        {{"record", "--source", "schedstat"}, "sampling sees no switches"},
        {{"--record", "x", "--source", "schedstat"}, "sampling sees no switches"},
        {{"--record", "-"}, "give them a file with -o"},
        {{"--record", ""}, "--record: an empty word is not a path"},
        {{"--max-size", "1m"}, "nothing is recorded; add --record FILE"},
        {{"--trigger-us", "5"}, "nothing is recorded"},
        {{"record", "x.rec"}, "'x.rec' is neither"},
        {{"record", "-W"}, "record does not take --why"},
        {{"record", "-f", "json"}, "record does not take --format"},
        {{"record", "--record", "x"}, "record does not take --record"},
    });
}

TEST(Replaying, IsRefusedWhereItCannotBe) {
    expect_refused({
        {{"report"}, "which recording?"},
        {{"report", "1000"}, "which recording?"},
        {{"report", ""}, "an empty word is not a file"},
        {{"report", "x", "1", "2"},
         "both '1' and '2' were given, but there is one min_us; write "
         "./2 for a file of that name"},
        {{"report", "x", "-f", "xml"}, "'xml' is none of"},
        {{"report", "x", "-o"}, "'-o' needs a value"},
        {{"report", "x", "--max-size", "1m"}, "report does not take --max-size"},
        {{"report", "x", "--source", "bpf"}, "report does not take --source"},
        {{"report", "x", "--", "ls"}, "report runs no command"},
        {{"--events"},
         "--events is an option of runqslower report; see 'runqslower report --help'"},
    });
}

}  // namespace
}  // namespace rqs::cli
