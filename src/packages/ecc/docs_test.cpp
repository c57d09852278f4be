// SPDX-License-Identifier: BSD-2-Clause
#include "ecc/docs.h"

#include <gtest/gtest.h>

namespace rqs::ecc {
namespace {

using pkg::Json;

Json at(std::string_view source, const std::string& name) {
    return fields_of(documented_declarations(source), name);
}

TEST(Comments, DescribeWhatFollows) {
    EXPECT_EQ(at("/// how long\nconst volatile int min_us = 0;\n", "min_us"),
              Json({{"description", "how long"}}));
    EXPECT_EQ(at("/** how long */\nconst volatile int min_us;", "min_us")["description"],
              "how long");
    EXPECT_EQ(at("//! how long\nint min_us;", "min_us")["description"], "how long");
    EXPECT_EQ(at("int min_us; ///< how long\nint other;", "min_us")["description"], "how long");
    EXPECT_TRUE(at("// how long\nint min_us;", "min_us").empty()) << "an ordinary comment";
    EXPECT_TRUE(at("//// how long\nint min_us;", "min_us").empty()) << "decoration";
}

TEST(Comments, HaveCommandsWithJson) {
    const Json fields =
        at("/// @cmdarg {\"default\": 0, \"short\": \"p\", \"long\": \"pid\"}\n"
           "/// @description target pid to trace\n"
           "const volatile int target_pid = 0;",
           "target_pid");
    EXPECT_EQ(fields, Json::parse(R"({"cmdarg": {"default": 0, "short": "p", "long": "pid"},
                                      "description": "target pid to trace"})"));
}

TEST(Comments, OfPrograms) {
    const char* source =
        "/// @flag called when a process starts\n"
        "SEC(\"tp/sched/sched_process_exec\")\n"
        "int handle_exec(struct ctx *ctx)\n{ int inner; /// not this\n int x; }\n"
        "/// called when a process ends\n"
        "SEC(\"tp_btf/x\")\nint BPF_PROG(handle_exit, int a) { return 0; }\n";
    EXPECT_EQ(at(source, "handle_exec"), Json({{"flag", "called when a process starts"}}));
    EXPECT_EQ(at(source, "handle_exit"), Json({{"description", "called when a process ends"}}));
    EXPECT_TRUE(at(source, "x").empty());
    EXPECT_TRUE(at(source, "inner").empty());
}

TEST(Comments, OfMapsStandBeforeTheirStruct) {
    const char* source =
        "/// @sample {\"interval\": 1000}\nstruct\n{\n\t__uint(type, HASH);\n"
        "\t__type(key, pid_t);\n} exec_start SEC(\".maps\");\n"
        "struct { int x; } rb SEC(\".maps\");\n";
    EXPECT_EQ(at(source, "exec_start"), Json({{"sample", {{"interval", 1000}}}}));
    EXPECT_TRUE(at(source, "rb").empty());
    EXPECT_TRUE(at(source, "key").empty());
}

TEST(Comments, OfThePackage) {
    const Json doc =
        at("/// @brief   BPF bootstrap demo application.\n"
           "/// @details It traces process start and exits\n"
           "/// information (filename).\n"
           "/// @version 0.1\n"
           "char LICENSE[] SEC(\"license\") = \"Dual BSD/GPL\";",
           "LICENSE");
    EXPECT_EQ(doc["brief"], "BPF bootstrap demo application.");
    EXPECT_EQ(doc["details"], "It traces process start and exits\n information (filename).");
    EXPECT_EQ(doc["version"], "0.1") << "a string, though it looks like a number";
}

TEST(Comments, EndAtBlankLinesAndDirectives) {
    EXPECT_EQ(comment_fields(" @brief one\n\n two\n"),
              Json({{"brief", "one"}, {"description", "two"}}));
    EXPECT_TRUE(at("/// of nothing\n#define X 1\nint x;", "x").empty());
    EXPECT_TRUE(at("#define M \\\n  /// in a macro\nint x;", "x").empty());
}

TEST(Comments, SurviveStringsAndOtherTraps) {
    const char* source =
        "char a[] = \"/// not \\\" this\"; char q = '\"';\n"
        "/* /// nor this */\n/// this\nint b = sizeof(\"}{\");\n";
    EXPECT_TRUE(at(source, "a").empty());
    EXPECT_EQ(at(source, "b")["description"], "this");
    EXPECT_TRUE(documented_declarations("/** never ends").empty());
    EXPECT_TRUE(documented_declarations("\"").empty());
    EXPECT_TRUE(documented_declarations("}}}) ///<").empty());
}

TEST(Comments, KeepSignsThatAreNoCommands) {
    EXPECT_EQ(comment_fields(" mail me@example.org\n")["description"], "mail me@example.org");
    EXPECT_EQ(comment_fields(" @cmdarg {\"help\": \"a\\nb\"}\n")["cmdarg"]["help"], "a\nb");
    EXPECT_EQ(comment_fields(" \\brief text\n")["brief"], "text");
}

TEST(Headers, DefineStructs) {
    EXPECT_EQ(defined_structs("struct a { int x; };\n/* struct no { */ struct b\n{};\n"
                              "typedef struct c { struct d *e; } c_t; struct f; // struct g {"),
              (std::vector<std::string>{"a", "b", "c"}));
    EXPECT_EQ(defined_structs("struct __attribute__((packed, aligned(8))) a { int x; };\n"
                              "struct __packed b { int x; } __attribute__((packed));\n"
                              "struct __attribute__((packed)) { int x; } c;\n"
                              "static struct d *f(struct e *e) { return 0; }"),
              (std::vector<std::string>{"a", "b"}));
}

}  // namespace
}  // namespace rqs::ecc
