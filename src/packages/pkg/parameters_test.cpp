// SPDX-License-Identifier: BSD-2-Clause
#include "pkg/parameters.h"

#include <gtest/gtest.h>

#include <cstring>

#include "pkg/encode.h"

namespace rqs::pkg {
namespace {

ValueType scalar(ValueKind kind, std::uint32_t size, bool is_signed) {
    ValueType type;
    type.kind = kind;
    type.size = size;
    type.is_signed = is_signed;
    return type;
}

const ValueType int8 = scalar(ValueKind::integer, 1, true);
const ValueType uint8 = scalar(ValueKind::integer, 1, false);
const ValueType int32 = scalar(ValueKind::integer, 4, true);
const ValueType int64 = scalar(ValueKind::integer, 8, true);
const ValueType uint64 = scalar(ValueKind::integer, 8, false);
const ValueType int128 = scalar(ValueKind::integer, 16, true);
const ValueType text8 = scalar(ValueKind::text, 8, false);
const ValueType boolean = scalar(ValueKind::boolean, 1, false);

std::string raw(std::initializer_list<int> bytes) {
    std::string out;
    for (const int byte : bytes) {
        out += static_cast<char>(byte);
    }
    return out;
}

TEST(EncodeValue, TakesEachTypesRange) {
    EXPECT_EQ(*encode_value(int8, "-128"), raw({0x80}));
    EXPECT_EQ(*encode_value(int8, "127"), raw({0x7f}));
    EXPECT_EQ(*encode_value(uint8, "0xff"), raw({0xff}));
    EXPECT_EQ(*encode_value(int32, "-1"), raw({0xff, 0xff, 0xff, 0xff}));
    EXPECT_EQ(*encode_value(int64, "-9223372036854775808"), raw({0, 0, 0, 0, 0, 0, 0, 0x80}));
    EXPECT_EQ(*encode_value(uint64, "18446744073709551615"), std::string(8, '\xff'));
    EXPECT_EQ(*encode_value(int128, "-2"), raw({0xfe}) + std::string(15, '\xff'));
    EXPECT_EQ(*encode_value(text8, "abcdefg"), std::string("abcdefg\0", 8));
    EXPECT_EQ(*encode_value(boolean, "true"), raw({1}));
    double back = 0;
    const auto real = encode_value(scalar(ValueKind::floating, 8, true), "1.5e3");
    std::memcpy(&back, real->data(), sizeof(back));
    EXPECT_EQ(back, 1500.0);
}

TEST(EncodeValue, RefusesEverythingElse) {
    for (const char* bad : {"128", "-129", "", "-", "1x", "0x", " 1", "1.5", "+1", "--1",
                            "99999999999999999999999"}) {
        const auto value = encode_value(int8, bad);
        ASSERT_FALSE(value) << bad;
        EXPECT_EQ(value.error().code, ExitCode::usage);
    }
    EXPECT_FALSE(encode_value(uint8, "-1"));
    EXPECT_FALSE(encode_value(uint64, "18446744073709551616"));
    EXPECT_FALSE(encode_value(int64, "9223372036854775808"));
    EXPECT_FALSE(encode_value(text8, "abcdefgh")) << "no room for the zero byte";
    EXPECT_FALSE(encode_value(boolean, "yes"));
    EXPECT_FALSE(encode_value(scalar(ValueKind::floating, 8, true), "nan"));
}

TEST(EncodeValue, Takes128BitsInFull) {
    const ValueType uint128 = scalar(ValueKind::integer, 16, false);
    EXPECT_EQ(*encode_value(uint128, "340282366920938463463374607431768211455"),
              std::string(16, '\xff'));
    EXPECT_EQ(*encode_value(uint128, "0x1" + std::string(16, '0')),
              raw({0, 0, 0, 0, 0, 0, 0, 0}) + '\1' + std::string(7, '\0'));
    EXPECT_EQ(*encode_value(int128, "-170141183460469231731687303715884105728"),
              std::string(15, '\0') + '\x80');
    for (const char* bad :
         {"170141183460469231731687303715884105728", "340282366920938463463374607431768211456",
          "99999999999999999999999999999999999999999999"}) {
        const auto value = encode_value(int128, bad);
        ASSERT_FALSE(value) << bad;
        EXPECT_NE(value.error().message.find("between -170141183460469231731687303715884105728 and "
                                             "170141183460469231731687303715884105727"),
                  std::string::npos)
            << value.error().message;
    }
    EXPECT_FALSE(encode_value(uint128, "-1"));
}

TEST(EncodeValue, TakesLettersForAChar) {
    ValueType letter = int8;
    letter.name = "char";
    EXPECT_EQ(*encode_value(letter, "x"), "x");
    EXPECT_EQ(*encode_value(letter, "-"), "-");
    EXPECT_EQ(*encode_value(letter, "7"), "\7");
    EXPECT_EQ(*encode_value(letter, "'7'"), "7");
    EXPECT_EQ(*encode_value(letter, "-5"), "\xfb");
    EXPECT_FALSE(encode_value(letter, "xy"));
    EXPECT_FALSE(encode_value(int8, "x")) << "a signed char is a number";
}

TEST(EncodeValue, RefusesWhatAFloatCannotHold) {
    const ValueType narrow = scalar(ValueKind::floating, 4, true);
    EXPECT_TRUE(encode_value(narrow, "3e38"));
    EXPECT_FALSE(encode_value(narrow, "1e300"));
    EXPECT_FALSE(encode_value(narrow, "-1e39"));
    EXPECT_TRUE(encode_value(scalar(ValueKind::floating, 8, true), "1e300"));
    EXPECT_FALSE(encode_value(scalar(ValueKind::floating, 8, true), "1e400"));
}

TEST(EncodeValue, TakesEnumsByName) {
    ValueType color = scalar(ValueKind::enumeration, 4, true);
    color.enumerators = {{"RED", 1}, {"BLUE", -2}};
    EXPECT_EQ(*encode_value(color, "BLUE"), raw({0xfe, 0xff, 0xff, 0xff}));
    EXPECT_EQ(*encode_value(color, "7"), raw({7, 0, 0, 0}));
    EXPECT_FALSE(encode_value(color, "GREEN"));
}

Parameter parameter(const char* name, const ValueType& type, char short_name = 0) {
    Parameter out;
    out.section = ".rodata";
    out.name = out.long_name = name;
    out.type = "int";
    out.short_name = short_name;
    out.help = "what it is for";
    out.value_type = std::make_shared<const ValueType>(type);
    out.initial = std::string(type.size, '\0');
    return out;
}

std::vector<Parameter> some() {
    auto parameters = std::vector<Parameter>{
        parameter("min_us", uint64), parameter("pid", int32, 'p'), parameter("flag", boolean)};
    parameters[1].offset = 8;
    parameters[2].offset = 12;
    return parameters;
}

TEST(Arguments, AreTakenInAllTheirSpellings) {
    for (const auto& words : std::vector<std::vector<std::string>>{
             {"--pid", "42"}, {"--pid=42"}, {"-p", "42"}, {"-p42"}, {"-p=42"}}) {
        const auto invocation = parse_arguments(some(), words);
        ASSERT_TRUE(invocation) << words[0];
        ASSERT_EQ(invocation->assignments.size(), 1U);
        EXPECT_EQ(invocation->assignments[0].offset, 8U);
        EXPECT_EQ(invocation->assignments[0].bytes, raw({42, 0, 0, 0}));
    }
}

TEST(Arguments, BooleansAreSwitches) {
    for (const auto& [word, value] :
         std::vector<std::pair<std::string, char>>{{"--flag", 1},
                                                   {"--flag=true", 1},
                                                   {"--flag=false", 0},
                                                   {"--enable-flag", 1},
                                                   {"--disable-flag", 0}}) {
        const auto invocation = parse_arguments(some(), {word});
        ASSERT_TRUE(invocation) << word;
        EXPECT_EQ(invocation->assignments[0].bytes, std::string(1, value)) << word;
    }
}

// What is on by default has a short word that turns it off, as the help shows it.
TEST(Arguments, TheShortWordOfABooleanDoesWhatStandsBesideIt) {
    auto on = parameter("on", boolean, 'o');
    on.initial = std::string(1, '\1');
    auto off = parameter("off", boolean, 'f');
    const auto invocation = parse_arguments({on, off}, {"-o", "-f"});
    ASSERT_TRUE(invocation);
    EXPECT_EQ(invocation->assignments[0].bytes, std::string(1, '\0'));
    EXPECT_EQ(invocation->assignments[1].bytes, std::string(1, '\1'));
}

TEST(Arguments, NegativeNumbersAreValues) {
    const auto invocation = parse_arguments(some(), {"-p", "-3"});
    ASSERT_TRUE(invocation);
    EXPECT_EQ(invocation->assignments[0].bytes, raw({0xfd, 0xff, 0xff, 0xff}));
}

TEST(Arguments, WrongOnesAreUsageErrors) {
    for (const auto& words : std::vector<std::vector<std::string>>{{"--pid"},
                                                                   {"--pid", "x"},
                                                                   {"--pid="},
                                                                   {"--nothing"},
                                                                   {"stray"},
                                                                   {"-"},
                                                                   {"--flag=maybe"},
                                                                   {"--min_us", "-1"},
                                                                   {"-d", "0"},
                                                                   {"-d", "soon"},
                                                                   {"-n", "0"},
                                                                   {"-n"},
                                                                   {"--help=1"}}) {
        const auto invocation = parse_arguments(some(), words);
        ASSERT_FALSE(invocation) << words[0];
        EXPECT_EQ(invocation.error().code, ExitCode::usage);
        EXPECT_EQ(invocation.error().message.find('\n'), std::string::npos);
    }
}

TEST(Arguments, OfEveryPackageGiveWayToItsOwn) {
    auto parameters = some();
    const auto general = parse_arguments(parameters, {"-n", "3", "-j", "-d", "1.5", "--partial"});
    ASSERT_TRUE(general);
    EXPECT_EQ(general->count, 3U);
    EXPECT_TRUE(general->json && general->partial);
    EXPECT_EQ(general->duration_s, 1.5);
    parameters[1].short_name = 'n';
    const auto own = parse_arguments(parameters, {"-n", "3"});
    ASSERT_TRUE(own);
    EXPECT_FALSE(own->count);
    EXPECT_EQ(own->assignments.size(), 1U);
}

TEST(Arguments, DefaultsComeFirst) {
    auto parameters = some();
    parameters[0].default_text = "1000";
    const auto invocation = parse_arguments(parameters, {"--min_us", "5"});
    ASSERT_TRUE(invocation);
    ASSERT_EQ(invocation->assignments.size(), 2U);
    EXPECT_EQ(invocation->assignments[0].bytes, raw({0xe8, 3, 0, 0, 0, 0, 0, 0}));
    EXPECT_EQ(invocation->assignments[1].bytes, raw({5, 0, 0, 0, 0, 0, 0, 0}));
    parameters[0].default_text = "many";
    const auto bad = parse_arguments(parameters, {});
    ASSERT_FALSE(bad);
    EXPECT_EQ(bad.error().code, ExitCode::failure) << "the package's fault, not the user's";
}

TEST(Help, NamesTypesDefaultsAndTexts) {
    auto parameters = some();
    parameters[0].initial[0] = 7;
    parameters[2].initial[0] = 1;
    parameters[1].help = "evil \x1b[2J";
    Meta meta;
    meta.doc.brief = "What it is.";
    meta.doc.details = "line 1\nline 2";
    const std::string help = help_text(meta, parameters, "ecli run x");
    EXPECT_EQ(help.rfind("What it is.\n", 0), 0U);
    EXPECT_NE(help.find("--min_us VALUE"), std::string::npos);
    EXPECT_NE(help.find("what it is for (int, default 7)"), std::string::npos);
    EXPECT_NE(help.find("-p, --pid VALUE"), std::string::npos);
    EXPECT_NE(help.find("--disable-flag"), std::string::npos);
    EXPECT_NE(help.find("line 1\nline 2\n"), std::string::npos);
    EXPECT_EQ(help.find('\x1b'), std::string::npos);
}

}  // namespace
}  // namespace rqs::pkg
