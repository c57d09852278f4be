// SPDX-License-Identifier: BSD-2-Clause
#include "cli/parse.h"

#include <gtest/gtest.h>

#include <cstdint>
#include <string>
#include <vector>

#include "cli/help.h"
#include "cli/parse_for_test.h"
#include "commands/table.h"

namespace rqs::cli {
namespace {

using Ids = std::vector<std::uint32_t>;

TEST(Parse, AcceptsWhatIsRight) {
    expect_taken({
        {{},
         [](auto& o) {
             return o.source.min_us == 10000 && o.source.filters.pids.empty() && !o.view.previous;
         }},
        {{},
         [](auto& o) {
             return o.source.kind == SourceKind::automatic && o.view.format == Format::text;
         }},
        {{"0"}, [](auto& o) { return o.source.min_us == 0; }},
        {{"007"}, [](auto& o) { return o.source.min_us == 7; }},
        {{"18446744073709551"}, [](auto& o) { return o.source.min_us == 18446744073709551ULL; }},
        {{"1000", "-P"}, [](auto& o) { return o.source.min_us == 1000 && o.view.previous; }},
        {{"-P", "1000"}, [](auto& o) { return o.source.min_us == 1000 && o.view.previous; }},
        {{"-p", "1", "1000", "-P"},
         [](auto& o) { return o.source.min_us == 1000 && o.view.previous; }},
        {{"-P", "-P"}, [](auto& o) { return o.view.previous; }},
        {{"--previous"}, [](auto& o) { return o.view.previous; }},
        {{"-p1", "-p2"},
         [](auto& o) {
             return o.source.filters.pids == Ids{1, 2};
         }},
        {{"-p", "1", "-p", "1"}, [](auto& o) { return o.source.filters.pids == Ids{1}; }},
        {{"--pid=7", "--pid", "8"},
         [](auto& o) {
             return o.source.filters.pids == Ids{7, 8};
         }},
        {{"-t5", "--tid=6"},
         [](auto& o) {
             return o.source.filters.tids == Ids{5, 6};
         }},
        {{"-p", "1", "-t", "2"},
         [](auto& o) {
             return o.source.filters.pids == Ids{1} && o.source.filters.tids == Ids{2};
         }},
        {{"-p", "0"}, [](auto& o) { return o.source.filters.pids.empty(); }},
        {{"-t0"}, [](auto& o) { return o.source.filters.tids.empty(); }},
        {{"-cfoo"}, [](auto& o) { return o.source.filters.comm_prefix == "foo"; }},
        {{"--comm=foo"}, [](auto& o) { return o.source.filters.comm_prefix == "foo"; }},
        {{"--comm=a=b"}, [](auto& o) { return o.source.filters.comm_prefix == "a=b"; }},
        {{"-c", "--pid=3"}, [](auto& o) { return o.source.filters.comm_prefix == "--pid=3"; }},
        {{"-c", "[a,b]"}, [](auto& o) { return o.source.filters.comm_prefix == "[a,b]"; }},
        {{"-c", "demo"}, [](auto& o) { return o.source.filters.comm_prefix == "demo"; }},
        {{"-c", ""}, [](auto& o) { return o.source.filters.comm_prefix.empty(); }},
        {{"--comm="}, [](auto& o) { return o.source.filters.comm_prefix.empty(); }},
        {{"-c", "-x"}, [](auto& o) { return o.source.filters.comm_prefix == "-x"; }},
        {{"-c", "\xff y"}, [](auto& o) { return o.source.filters.comm_prefix == "\xff y"; }},
        {{"-c", "a", "-c", "b"}, [](auto& o) { return o.source.filters.comm_prefix == "b"; }},
        {{"-c", "123456789012345"},
         [](auto& o) { return o.source.filters.comm_prefix == "123456789012345"; }},
        {{"--cpu", "0,2-5"},
         [](auto& o) {
             return o.source.filters.cpus == Ids{0, 2, 3, 4, 5};
         }},
        {{"--cpu=3,1,3,0-1"},
         [](auto& o) {
             return o.source.filters.cpus == Ids{0, 1, 3};
         }},
        {{"--cpu", "8191"}, [](auto& o) { return o.source.filters.cpus == Ids{8191}; }},
        {{"--cgroup", "/a b"}, [](auto& o) { return o.source.filters.cgroup_path == "/a b"; }},
        {{"--cgroupmap", "/m"}, [](auto& o) { return o.source.filters.cgroup_map == "/m"; }},
        {{"--mntnsmap=/m"}, [](auto& o) { return o.source.filters.mntns_map == "/m"; }},
        {{"-fjson"}, [](auto& o) { return o.view.format == Format::json; }},
        {{"--format=csv"}, [](auto& o) { return o.view.format == Format::csv; }},
        {{"-f", "json", "-f", "text"}, [](auto& o) { return o.view.format == Format::text; }},
        {{"--source", "bpf"}, [](auto& o) { return o.source.kind == SourceKind::bpf; }},
        {{"--source=auto"}, [](auto& o) { return o.source.kind == SourceKind::automatic; }},
        {{"--source=synthetic"}, [](auto& o) { return o.source.kind == SourceKind::synthetic; }},
        {{"-d", "0.5"}, [](auto& o) { return o.run.duration_s == 0.5; }},
        {{"-d", ".5"}, [](auto& o) { return o.run.duration_s == 0.5; }},
        {{"-d", "5."}, [](auto& o) { return o.run.duration_s == 5.0; }},
        {{"-d10"}, [](auto& o) { return o.run.duration_s == 10.0; }},
        {{"-n", "3"}, [](auto& o) { return o.run.count == 3U; }},
        {{"-PWwsv"},
         [](auto& o) {
             return o.view.previous && o.view.why && o.view.wide && o.view.summary &&
                    o.source.verbose;
         }},
        {{"-Pp5"}, [](auto& o) { return o.view.previous && o.source.filters.pids == Ids{5}; }},
        {{"--stuck", "--waker"},
         [](auto& o) { return o.source.stuck && o.view.waker && o.source.waker; }},
        {{"--by", "cgroup"},
         [](auto& o) { return o.view.by == GroupBy::cgroup && o.view.summary; }},
        {{"--interval", "2"},
         [](auto& o) {
             return o.view.interval_s == 2.0 && o.source.interval_s == 2.0 && o.view.summary;
         }},
        {{"--interval", "2", "--source", "schedstat"},
         [](auto& o) { return o.view.interval_s == 2.0 && !o.view.summary; }},
        {{}, [](auto& o) { return o.source.history == 1024 && !o.source.buffer_bytes; }},
        {{"--history", "8192"}, [](auto& o) { return o.source.history == 8192; }},
        {{},
         [](auto& o) { return !o.view.why && !o.view.named_tasks && o.view.output_path.empty(); }},
        {{"-W", "5"},
         [](auto& o) { return o.view.why && !o.view.named_tasks && o.source.min_us == 5; }},
        {{"--why", "5"},
         [](auto& o) { return o.view.why && !o.view.named_tasks && o.source.min_us == 5; }},
        {{"--why=5"},
         [](auto& o) {
             return o.view.why && o.view.named_tasks == 5U && o.source.min_us == 10000;
         }},
        {{"--why=0"}, [](auto& o) { return o.view.why && o.view.named_tasks == 0U; }},
        {{"--why=all"}, [](auto& o) { return o.view.named_tasks == UINT32_MAX; }},
        {{"--why=3", "-W"}, [](auto& o) { return o.view.named_tasks == 3U; }},
        {{"-o", "f"}, [](auto& o) { return o.view.output_path == "f"; }},
        {{"-of", "--output=-"}, [](auto& o) { return o.view.output_path.empty(); }},
        {{"-sq"}, [](auto& o) { return o.view.summary && o.view.quiet; }},
        {{"--strict"}, [](auto& o) { return o.run.strict; }},
        {{"--self"}, [](auto& o) { return o.source.self; }},
        {{"--filter-in", "user"}, [](auto& o) { return o.source.filter_in_user_space; }},
        {{"--filter-in=kernel"}, [](auto& o) { return !o.source.filter_in_user_space; }},
        {{}, [](auto& o) { return o.run.priority.kind == util::Priority::Kind::automatic; }},
        {{"--priority", "nice:-5"},
         [](auto& o) {
             return o.run.priority.kind == util::Priority::Kind::nice && o.run.priority.value == -5;
         }},
        {{"--by", "comm"}, [](auto& o) { return o.view.by == GroupBy::comm; }},
        {{"--by", "thread"}, [](auto& o) { return o.view.by == GroupBy::thread; }},
        {{"--by", "cpu"}, [](auto& o) { return o.view.by == GroupBy::cpu && o.view.summary; }},
        {{"--by", "parent"},
         [](auto& o) { return o.view.by == GroupBy::parent && o.source.parents; }},
        {{"--by", "parent", "--by", "comm"}, [](auto& o) { return !o.source.parents; }},
        {{"--prev"}, [](auto& o) { return o.view.previous; }},
        {{"--dur=5"}, [](auto& o) { return o.run.duration_s == 5.0; }},
        {{"--dur", "5"}, [](auto& o) { return o.run.duration_s == 5.0; }},
        {{"--wh=7", "9"}, [](auto& o) { return o.view.named_tasks == 7U && o.source.min_us == 9; }},
        {{"--cgroup", "/a"},
         [](auto& o) {
             return o.source.filters.cgroup_path == "/a" && o.source.filters.cgroup_map.empty();
         }},
        {{"--history", "128"}, [](auto& o) { return o.source.history == 128; }},
        {{"--buffer", "512k"}, [](auto& o) { return o.source.buffer_bytes == 512U * 1024; }},
        {{"--buffer=4M"}, [](auto& o) { return o.source.buffer_bytes == 4U * 1024 * 1024; }},
        {{"--buffer=512m"}, [](auto& o) { return o.source.buffer_bytes == 512U * 1024 * 1024; }},
        {{"--buffer=65536"}, [](auto& o) { return o.source.buffer_bytes == 65536U; }},
        {{"--", "ls", "-l", "--", "--help"},
         [](auto& o) {
             return o.run.command == Args{"ls", "-l", "--", "--help"};
         }},
        {{"5", "-P", "--", "a b", ""},
         [](auto& o) {
             return o.source.min_us == 5 && o.view.previous && o.run.command == Args{"a b", ""};
         }},
    });
}

TEST(Parse, RefusesWhatIsWrong) {
    expect_refused({
        {{"12abc"}, "'12abc' is not a whole number"},
        {{"-5"}, "min_us: '-5' is not a whole number"},
        {{"+5"}, "'+5'"},
        {{""}, "an empty word is not a whole number"},
        {{" 5"}, "' 5'"},
        {{"5 "}, "'5 '"},
        {{"1e3"}, "'1e3'"},
        {{"0x10"}, "'0x10'"},
        {{"1.5"}, "'1.5'"},
        {{"18446744073709552"}, "too large; at most 18446744073709551"},
        {{"99999999999999999999999999"}, "too large"},
        {{"1", "2"}, "both '1' and '2'"},
        {{"1", "-P", "2"}, "both '1' and '2'"},
        {{"sleep", "5"}, "both 'sleep' and '5'"},
        {{"sleep"}, "goes after --"},
        {{"-"}, "'-' is not a whole number"},
        {{"-p"}, "'-p' needs a value"},
        {{"-P", "--pid"}, "'--pid' needs a value"},
        {{"-p", "-P"}, "--pid: '-P' is not a whole number"},
        {{"-p", "-1"}, "--pid: '-1'"},
        {{"-p", ""}, "--pid: an empty word"},
        {{"--pid="}, "--pid: an empty word"},
        {{"-p", "12abc"}, "--pid: '12abc'"},
        {{"-p", "2147483648"}, "--pid: 2147483648 is too large"},
        {{"-t", "1,2"}, "--tid: '1,2'"},
        {{"-p", "0", "-p", "5"}, "--pid 0 means every one"},
        {{"-c", "--"}, "'-c' needs a value"},
        {{"--cpu", "5-2"}, "runs backwards; write 2-5"},
        {{"--cpu", "8192"}, "at most 8191"},
        {{"--cpu", "0-4294967296"}, "too large"},
        {{"--cpu", "1,"}, "an empty word is not a CPU"},
        {{"--cpu", ""}, "an empty word is not a CPU"},
        {{"--cpu", "-3"}, "'-3' is not a CPU"},
        {{"--cpu", "1-"}, "'1-' is not a CPU"},
        {{"--cpu", "1-2-3"}, "'1-2-3' is not a CPU"},
        {{"--cpu", "a"}, "'a' is not a CPU"},
        {{"--cgroup", ""}, "is not a path"},
        {{"--cgroupmap="}, "is not a path"},
        {{"-f", "xml"}, "'xml' is none of text, json, csv, folded"},
        {{"--source", "ebpf"}, "is none of auto, bpf, schedstat"},
        {{"--by", "user"}, "is none of comm, thread, process, cgroup, parent, cpu"},
        {{"-d", "0"}, "write more than 0"},
        {{"-d", "0.000"}, "write more than 0"},
        {{"-d", "1e3"}, "is not a number of seconds"},
        {{"-d", "."}, "is not a number of seconds"},
        {{"-d", "1.2.3"}, "is not a number of seconds"},
        {{"-d", ".0"}, "write more than 0"},
        {{"-d", "5s"}, "is not a number of seconds"},
        {{"-d", "-5"}, "is not a number of seconds"},
        {{"-d", "inf"}, "is not a number of seconds"},
        {{"-d", "9999999999"}, "out of range"},
        {{"-d", std::string(400, '9')}, "out of range"},
        {{"-n", "0"}, "at least 1"},
        {{"-n", "18446744073709551616"}, "too large"},
        {{"--history", "63"}, "write 32 or 64"},
        {{"--history", "0"}, "at least 2"},
        {{"--history", "16384"}, "at most 8192"},
        {{"--history", "4294967296"}, "too large"},
        {{"--buffer", "3m"}, "write 2m or 4m"},
        {{"--buffer", "1"}, "at least 4k"},
        {{"--buffer", "1024m"}, "at most 512m"},
        {{"--buffer", "k"}, "is not a size"},
        {{"--buffer", "1g"}, "1g is too large; at most 512m is possible"},
        {{"--buffer", "18446744073709551615m"}, "too large"},
        {{"--buffer", "1024m1"}, "is not a size"},
        {{"--buffer", ""}, "is not a size"},
        {{"--why="}, "--why= lacks its value"},
        {{"--why=x"}, "--why: 'x' is neither a number of tasks nor 'all'"},
        {{"--why=-1"}, "'-1' is neither a number of tasks"},
        {{"--why=4294967295"}, "too large"},
        {{"--why", "all"}, "'all' is neither a number of microseconds"},
        {{"-W5"}, "unknown option '-5'"},
        {{"-o", ""}, "--output: an empty word is not a path"},
        {{"--quiet=yes"}, "--quiet takes no value"},
        {{"--priority", "high"}, "--priority"},
        {{"--priority", "fifo:100"}, "--priority"},
        {{"--filter-in", "both"}, "is none of kernel, user"},
        {{"--co", "x"}, "option '--co' is ambiguous; it may be --comm, --count"},
        {{"--cg=/a"}, "option '--cg' is ambiguous; it may be --cgroup, --cgroupmap"},
        {{"--filter", "user"}, "unknown option '--filter'"},
        {{"--ebp"}, "unknown option '--ebp'"},
        {{"--prev=no"}, "--previous takes no value"},
        {{"--prevous"}, "unknown option '--prevous'; did you mean --previous?"},
        {{"--zzz"}, "unknown option '--zzz'; see"},
        {{"-Z"}, "unknown option '-Z'"},
        {{"-PZ"}, "unknown option '-Z'"},
        {{"--previous=no"}, "--previous takes no value"},
        {{"--verbose="}, "--verbose takes no value"},
        {{"--ebpf"}, "comes compiled"},
        {{"--"}, "no command after --"},
        {{"5", "--"}, "no command after --"},
        {{"--", ""}, "no command after --"},
        {{"demo", "1", "2"}, "both '1' and '2'"},
        {{"demo", "--", "ls"}, "demo runs no command"},
        {{"demo", "doctor"}, "'doctor' is neither"},
        {{"doctor", "5"}, "doctor does not take '5'"},
        {{"doctor", "-P"}, "doctor does not take --previous; see 'runqslower doctor --help'"},
        {{"doctor", "--buffer", "4m"}, "doctor does not take --buffer"},
        {{"doctor", "-v"}, "doctor does not take --verbose"},
        {{"doctor", "--", "ls"}, "doctor runs no command"},
        {{"\x1b[31m"}, "\\x1b[31m"},
        {{"--a\x1b"}, "\\x1b"},
    });
}

TEST(Parse, FindsCommands) {
    for (const Args& args : {Args{"demo", "1000", "-P"}, Args{"-P", "demo", "1000"}}) {
        const auto demo = parse_args(args);
        ASSERT_TRUE(demo) << demo.error().message;
        EXPECT_EQ(demo->command->name, "demo");
        EXPECT_EQ(demo->trace.source.min_us, 1000U);
        EXPECT_TRUE(demo->trace.view.previous);
    }
    const auto doctor = parse_args({"doctor"});
    ASSERT_TRUE(doctor) << doctor.error().message;
    EXPECT_EQ(doctor->command->name, "doctor");
}

TEST(Parse, RowRunsWithWhatWasParsed) {
    Command row;
    row.groups = {Group::run};
    row.run = [](const Invocation& invocation) -> Result<int> {
        return static_cast<int>(invocation.trace.run.count.value_or(0));
    };
    const Commands commands{row};
    const std::vector<const char*> argv{"runqslower", "-n", "7"};
    const auto result = parse(3, argv.data(), commands);
    ASSERT_TRUE(result) << result.error().message;
    EXPECT_EQ(result->command->run(*result).value(), 7);
}

TEST(Parse, HelpAndVersionOutrankTheRest) {
    for (const Args& args :
         {Args{"-h"}, Args{"--help"}, Args{"-?"}, Args{"--usage"}, Args{"12abc", "-h"},
          Args{"--version", "-h"}, Args{"-Ph"}, Args{"--he"}}) {
        const auto result = parse_args(args);
        ASSERT_TRUE(result) << joined(args) << result.error().message;
        EXPECT_EQ(result->command, nullptr) << joined(args);
        EXPECT_EQ(result->text, help_text(command_table().front(), command_table()));
    }
    for (const Args& args : {Args{"--version"}, Args{"-V"}, Args{"doctor", "-V"}}) {
        const auto result = parse_args(args);
        ASSERT_TRUE(result) << joined(args);
        EXPECT_EQ(result->command, nullptr);
        EXPECT_EQ(result->text.rfind("runqslower ", 0), 0U);
    }
    const auto value = parse_args({"-c", "-h"});
    ASSERT_TRUE(value);
    EXPECT_NE(value->command, nullptr);
}

TEST(Parse, WarnsWhereItBendsTheInput) {
    const auto cut = parse_args({"-c", "0123456789abcdefg"});
    ASSERT_TRUE(cut);
    EXPECT_EQ(cut->trace.source.filters.comm_prefix, "0123456789abcde");
    ASSERT_EQ(cut->warnings.size(), 1U);
    EXPECT_NE(cut->warnings[0].find("15 bytes"), std::string::npos);

    const auto zero = parse_args({"-p", "0"});
    ASSERT_TRUE(zero);
    ASSERT_EQ(zero->warnings.size(), 1U);
    EXPECT_NE(zero->warnings[0].find("--pid 0"), std::string::npos);

    const auto why = parse_args({"--source", "schedstat", "-W"});
    ASSERT_TRUE(why);
    EXPECT_EQ(why->warnings.size(), 1U);

    const auto rings = parse_args({"--source", "schedstat", "--history", "64", "--buffer", "1m",
                                   "--priority", "normal", "--strict"});
    ASSERT_TRUE(rings);
    EXPECT_EQ(rings->warnings.size(), 4U);

    const auto quiet = parse_args({"-p", "1", "-c", "abc", "100"});
    ASSERT_TRUE(quiet);
    EXPECT_TRUE(quiet->warnings.empty());
}

TEST(Parse, NoArgvAtAll) {
    const auto result = parse(0, nullptr, command_table());
    ASSERT_TRUE(result);
    ASSERT_NE(result->command, nullptr);
    EXPECT_EQ(result->command->name, "");
}

}  // namespace
}  // namespace rqs::cli
