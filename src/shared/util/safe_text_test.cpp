// SPDX-License-Identifier: BSD-2-Clause
#include "util/safe_text.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <nlohmann/json.hpp>
#include <random>
#include <string>
#include <string_view>

namespace rqs::util {
namespace {

using namespace std::string_view_literals;

std::string json_text(std::string_view raw) {
    std::string out;
    append_json_string(out, raw);
    return out;
}

std::string csv_text(std::string_view raw) {
    std::string out = "before,";
    append_csv_field(out, raw);
    return out.substr(7);
}

std::string random_bytes(std::mt19937& random, std::size_t max) {
    std::string bytes(std::uniform_int_distribution<std::size_t>(0, max)(random), '\0');
    for (char& byte : bytes) {
        byte = static_cast<char>(std::uniform_int_distribution<int>(0, 255)(random));
    }
    return bytes;
}

TEST(Utf8Sequence, TakesWhatIsValidAndNothingElse) {
    char32_t code = 0;
    EXPECT_EQ(utf8_sequence("", code), 0U);
    EXPECT_EQ(utf8_sequence("a", code), 1U);
    EXPECT_EQ(utf8_sequence("\xc3\xbc", code), 2U);
    EXPECT_EQ(code, 0xfcU);
    EXPECT_EQ(utf8_sequence("\xe6\x97\xa5", code), 3U);
    EXPECT_EQ(code, 0x65e5U);
    EXPECT_EQ(utf8_sequence("\xf0\x9f\x90\x8c", code), 4U);
    EXPECT_EQ(code, 0x1f40cU);
    EXPECT_EQ(utf8_sequence("\xf4\x8f\xbf\xbf", code), 4U);
    EXPECT_EQ(code, 0x10ffffU);
}

TEST(Utf8Sequence, RefusesEveryKindOfInvalidBytes) {
    char32_t code = 0;
    for (const std::string_view bad :
         {"\x80"sv, "\xbf"sv, "\xc0\x80"sv, "\xc1\xbf"sv, "\xc3"sv, "\xc3\x28"sv, "\xe0\x80\x80"sv,
          "\xe6\x97"sv, "\xed\xa0\x80"sv, "\xed\xbf\xbf"sv, "\xf0\x80\x80\x80"sv, "\xf0\x9f\x90"sv,
          "\xf4\x90\x80\x80"sv, "\xf5\x80\x80\x80"sv, "\xff"sv, "\xfe"sv}) {
        EXPECT_EQ(utf8_sequence(bad, code), 0U) << testing::PrintToString(bad);
    }
}

TEST(ValidUtf8, IsTheValueThatJsonSpells) {
    EXPECT_EQ(valid_utf8("web \xc3\xbc\n\x1b"), "web \xc3\xbc\n\x1b");
    EXPECT_EQ(valid_utf8("a\xff\xe6\x97"), "a\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd");
    EXPECT_EQ(valid_utf8("a\0b"sv),
              "a\xef\xbf\xbd"
              "b");
    std::mt19937 random(7);
    for (int i = 0; i < 20'000; ++i) {
        std::string raw = random_bytes(random, 24);
        std::replace(raw.begin(), raw.end(), '\0', 'x');
        EXPECT_EQ(valid_utf8(raw), nlohmann::json::parse(json_text(raw)).get<std::string>());
    }
}

TEST(Printable, LeavesHarmlessTextAlone) {
    EXPECT_EQ(printable(""), "");
    EXPECT_EQ(printable("kworker/0:1-ev \\ \"q\""), "kworker/0:1-ev \\ \"q\"");
    EXPECT_EQ(printable("gr\xc3\xbc\xc3\x9f \xe6\x97\xa5 \xf0\x9f\x90\x8c"),
              "gr\xc3\xbc\xc3\x9f \xe6\x97\xa5 \xf0\x9f\x90\x8c");
}

TEST(Printable, SpellsOutWhatATerminalWouldActOn) {
    EXPECT_EQ(printable("\x1b[31mred\x1b]0;t\x07"), "\\x1b[31mred\\x1b]0;t\\x07");
    EXPECT_EQ(printable("a\nb\r\tc\x7f"), "a\\x0ab\\x0d\\x09c\\x7f");
    EXPECT_EQ(printable("nul\0nul"sv), "nul\\x00nul");
    EXPECT_EQ(printable("\xc2\x9b"
                        "31m"),
              "\\xc2\\x9b31m");  // C1 CSI
    EXPECT_EQ(printable("\xe2\x80\xae"
                        "abc"),
              "\\xe2\\x80\\xaeabc");                          // RLO
    EXPECT_EQ(printable("\xe2\x81\xa6"), "\\xe2\\x81\\xa6");  // LRI
    EXPECT_EQ(printable("a\xe2\x80\x8b"
                        "b"),
              "a\\xe2\\x80\\x8bb");                                    // zero width space
    EXPECT_EQ(printable("\xef\xbb\xbf"), "\\xef\\xbb\\xbf");           // BOM
    EXPECT_EQ(printable("\xf3\xa0\x80\x81"), "\\xf3\\xa0\\x80\\x81");  // a tag character
}

TEST(Printable, SpellsOutInvalidBytes) {
    EXPECT_EQ(printable("\xff"
                        "a\xc3"),
              "\\xffa\\xc3");
    EXPECT_EQ(printable("\xe6\x97"), "\\xe6\\x97");
    EXPECT_EQ(printable("\xed\xa0\x80"), "\\xed\\xa0\\x80");
}

TEST(JsonString, EscapesAndReplaces) {
    EXPECT_EQ(json_text("a\"b\\c\n\t\x1b"), "\"a\\\"b\\\\c\\n\\t\\u001b\"");
    EXPECT_EQ(json_text("\xff"), "\"\xef\xbf\xbd\"");
    EXPECT_EQ(json_text("\xe2\x80\xae"), "\"\\u202e\"");
    EXPECT_EQ(json_text("\xf3\xa0\x80\x81"), "\"\\udb40\\udc01\"");
    EXPECT_EQ(nlohmann::json::parse(json_text("nul\0nul"sv)).get<std::string>(), "nul\0nul"sv);
}

TEST(JsonString, KeepsEveryValidTextAsItIs) {
    for (const std::string_view text :
         {"plain"sv, "\"\\/"sv, "\x01\x1f\x7f"sv, "\xc2\x9b"sv, "\xe2\x80\xae"sv,
          "\xf0\x9f\x90\x8c"sv, "\xf3\xa0\x80\x81"sv, "\xe6\x97\xa5"sv}) {
        EXPECT_EQ(nlohmann::json::parse(json_text(text)).get<std::string>(), text);
    }
}

TEST(JsonString, ParsesWhateverTheBytes) {
    std::mt19937 random(7);
    for (int i = 0; i < 5000; ++i) {
        const std::string raw = random_bytes(random, 24);
        const std::string text = json_text(raw);
        ASSERT_FALSE(nlohmann::json::parse(text, nullptr, false).is_discarded())
            << testing::PrintToString(raw);
        for (const char c : text) {
            ASSERT_GE(static_cast<unsigned char>(c), 0x20);
            ASSERT_NE(c, 0x7f);
        }
    }
}

TEST(CsvField, QuotesWhereItMust) {
    EXPECT_EQ(csv_text("plain"), "plain");
    EXPECT_EQ(csv_text(""), "");
    EXPECT_EQ(csv_text("a,b"), "\"a,b\"");
    EXPECT_EQ(csv_text("say \"hi\""), "\"say \"\"hi\"\"\"");
    EXPECT_EQ(csv_text(" lead"), "\" lead\"");
    EXPECT_EQ(csv_text("trail "), "\"trail \"");
    EXPECT_EQ(csv_text("two\r\nlines"), "two\\x0d\\x0alines");
}

TEST(CsvField, TouchesNothingBeforeIt) {
    std::string out = "a\",b,";
    append_csv_field(out, "x,y");
    EXPECT_EQ(out, "a\",b,\"x,y\"");
}

TEST(SafeText, NeverLetsAControlByteOrInvalidUtf8Through) {
    std::mt19937 random(8);
    for (int i = 0; i < 5000; ++i) {
        const std::string raw = random_bytes(random, 24);
        for (std::string_view text : {printable(raw), csv_text(raw)}) {
            while (!text.empty()) {
                char32_t code = 0;
                const std::size_t length = utf8_sequence(text, code);
                ASSERT_GT(length, 0U) << testing::PrintToString(raw);
                ASSERT_TRUE(code >= 0x20 && (code < 0x7f || code > 0x9f));
                text.remove_prefix(length);
            }
        }
    }
}

}  // namespace
}  // namespace rqs::util
