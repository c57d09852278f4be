// SPDX-License-Identifier: BSD-2-Clause
// However it ends, what was caught is printed and whole; whatever tasks are called, it is harmless.
#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <csignal>
#include <cstdlib>
#include <string>
#include <vector>

#include "situation.h"
#include "tracer.h"
#include "workers.h"

namespace rqs::ktest {
namespace {

class Ending : public ::testing::TestWithParam<int> {};

TEST_P(Ending, BySignal) {
    const Sleepers sleepers({"rqs-signal-a", "rqs-signal-b"});
    Tracer tracer({"0", "-f", "json", "-p", std::to_string(sleepers.pid())});
    ASSERT_TRUE(tracer.attached());
    EXPECT_TRUE(wait_for([&] { return tracer.line_count() > 10; }));
    tracer.send(GetParam());
    const Output output = check(tracer);  // the summary is there, and agrees
    EXPECT_EQ(output.exit_code, 0) << tracer.stderr_text();
    EXPECT_GT(output.kept, 10U);
}

INSTANTIATE_TEST_SUITE_P(Signals, Ending, ::testing::Values(SIGINT, SIGTERM, SIGHUP),
                         [](const auto& signal) {
                             return std::string(signal.param == SIGINT    ? "INT"
                                                : signal.param == SIGTERM ? "TERM"
                                                                          : "HUP");
                         });

TEST(EndingText, BySignalSaysHowMany) {
    const Sleepers sleepers({"rqs-signal"});
    Tracer tracer({"0", "-p", std::to_string(sleepers.pid())});
    ASSERT_TRUE(tracer.attached());
    EXPECT_TRUE(wait_for([&] { return tracer.line_count() > 10; }));
    EXPECT_EQ(tracer.stop(), 0);
    const std::string kept = std::to_string(tracer.line_count() - 2) + " kept";
    EXPECT_NE(tracer.stderr_text().find(kept), std::string::npos)
        << tracer.stderr_text() << " does not say " << kept;
}

// What `head` does.
TEST(EndingPipe, WhoseReaderIsGone) {
    for (const char* format : {"text", "json", "csv"}) {
        const Sleepers sleepers({"rqs-pipe"});
        Tracer tracer({"0", "-f", format, "-p", std::to_string(sleepers.pid())});
        ASSERT_TRUE(tracer.attached());
        EXPECT_TRUE(wait_for([&] { return tracer.line_count() > 10; }));
        tracer.hang_up();
        EXPECT_EQ(tracer.join(), 0) << format;
    }
}

TEST(EndingPipe, WhoseReaderIsGoneThoughNothingHappens) {
    Tracer tracer({"1000000000", "-f", "json"});
    ASSERT_TRUE(tracer.attached());
    tracer.hang_up();
    EXPECT_EQ(tracer.join(), 0);
}

TEST(EndingDisk, ThatIsFull) {
    if (::access("/dev/full", W_OK) != 0) {
        GTEST_SKIP() << "there is no /dev/full";
    }
    const Sleepers sleepers({"rqs-full"});
    // A shell is not to be had everywhere: the tracer's stdout is set by a process of our own.
    const char* binary = std::getenv("RQS_BINARY");
    const std::string path = binary != nullptr ? binary : RQS_DEFAULT_BINARY;
    Process tracer([&] {
        const int full = ::open("/dev/full", O_WRONLY);
        const int null = ::open("/dev/null", O_WRONLY);
        (void)::dup2(full, STDOUT_FILENO);
        (void)::dup2(null, STDERR_FILENO);
        ::execl(path.c_str(), "runqslower", "0", "-d", "20", nullptr);
        ::_exit(127);
    });
    EXPECT_EQ(tracer.join(std::chrono::seconds(15)), 1);
}

bool is_valid_utf8(const std::string& text) {
    for (std::size_t i = 0; i < text.size();) {
        const auto byte = static_cast<unsigned char>(text[i]);
        const std::size_t length = byte < 0x80   ? 1
                                   : byte < 0xc2 ? 0
                                   : byte < 0xe0 ? 2
                                   : byte < 0xf0 ? 3
                                   : byte < 0xf5 ? 4
                                                 : 0;
        if (length == 0 || i + length > text.size()) {
            return false;
        }
        for (std::size_t k = 1; k < length; ++k) {
            if ((static_cast<unsigned char>(text[i + k]) & 0xc0U) != 0x80U) {
                return false;
            }
        }
        i += length;
    }
    return true;
}

bool has_control(const std::string& line) {
    return std::any_of(line.begin(), line.end(), [](char c) {
        const auto byte = static_cast<unsigned char>(c);
        return byte < 0x20 || byte == 0x7f;
    });
}

/// The fields of a line of CSV, which must not go on in the next one. Empty if it is not valid.
std::vector<std::string> csv_fields(const std::string& line) {
    std::vector<std::string> fields(1);
    bool quoted = false;
    for (std::size_t i = 0; i < line.size(); ++i) {
        const char c = line[i];
        if (quoted && c == '"' && i + 1 < line.size() && line[i + 1] == '"') {
            fields.back() += c;
            ++i;
        } else if (c == '"') {
            if (!quoted && !fields.back().empty()) {
                return {};
            }
            quoted = !quoted;
        } else if (c == ',' && !quoted) {
            fields.emplace_back();
        } else {
            fields.back() += c;
        }
    }
    return quoted ? std::vector<std::string>() : fields;
}

class Names : public ::testing::Test {
  protected:
    static std::vector<std::string> hostile() {
        return {"\x1b[31mred\x1b[0m",
                "a\"b\\c'd",
                "new\nline\r\ttab",
                "\xff\xfe\x80\xc0",
                "\xe2\x80\xaegnp.exe",
                "=cmd|' /C",
                "\",\"x\",\"",
                "\x01\x02\x7f\x1f",
                " lead and trail ",
                "\xf0\x9f\x98",
                "$(reboot)`x`;",
                "\xc2\x9b"
                "31m"};
    }
    std::vector<Line> run(const Tracer::Words& options) {
        Tracer::Words words{"0", "-p", std::to_string(sleepers_.pid())};
        words.insert(words.end(), options.begin(), options.end());
        Tracer tracer(words);
        EXPECT_TRUE(tracer.attached());
        EXPECT_TRUE(wait_for([&] { return tracer.line_count() > 200; }));
        EXPECT_EQ(tracer.stop(), 0);
        EXPECT_TRUE(is_valid_utf8(tracer.stderr_text()));
        return tracer.lines();
    }
    Sleepers sleepers_{hostile()};
};

TEST_F(Names, InJson) {
    Tracer tracer({"0", "-f", "json", "-p", std::to_string(sleepers_.pid())});
    ASSERT_TRUE(tracer.attached());
    EXPECT_TRUE(wait_for([&] { return tracer.line_count() > 200; }));
    const Output output = stop_and_check(tracer);  // parses every line, UTF-8 and all
    EXPECT_EQ(output.tids().size(), hostile().size());
    for (const auto& wait : output.of_tid(sleepers_.tid(1))) {
        EXPECT_EQ(wait.comm, "a\"b\\c'd");
    }
    for (const auto& wait : output.of_tid(sleepers_.tid(2))) {
        EXPECT_EQ(wait.comm, "new\nline\r\ttab");
    }
    for (const auto& line : tracer.lines()) {
        EXPECT_FALSE(has_control(line.text)) << line.text;
    }
}

TEST_F(Names, InText) {
    for (const auto& line : run({"-P", "-W", "-w", "--waker"})) {
        EXPECT_FALSE(has_control(line.text)) << line.text;
        EXPECT_TRUE(is_valid_utf8(line.text)) << line.text;
        // Turns the direction of writing around, and a control character beyond ASCII.
        EXPECT_EQ(line.text.find("\xe2\x80\xae"), std::string::npos);
        EXPECT_EQ(line.text.find("\xc2\x9b"), std::string::npos);
    }
}

TEST_F(Names, InCsv) {
    const std::vector<Line> lines = run({"-f", "csv"});
    const std::size_t columns = csv_fields(lines.front().text).size();
    EXPECT_GT(columns, 10U);
    for (const auto& line : lines) {
        ASSERT_FALSE(line.text.empty());
        EXPECT_EQ(line.text.back(), '\r');
        const std::string text = line.text.substr(0, line.text.size() - 1);
        EXPECT_EQ(csv_fields(text).size(), columns) << text;
        EXPECT_FALSE(has_control(text)) << text;
        EXPECT_TRUE(is_valid_utf8(text)) << text;
    }
}

// The columns of the tools whose place this one takes.
TEST(Columns, OfTextWithThePreviousTask) {
    const Sleepers sleepers({"rqs-columns"});
    const std::string pid = std::to_string(sleepers.pid());
    Tracer plain({"0", "-p", pid});
    Tracer previous({"0", "-P", "-p", pid});
    ASSERT_TRUE(plain.attached() && previous.attached());
    EXPECT_TRUE(wait_for([&] { return plain.line_count() > 20 && previous.line_count() > 20; }));
    EXPECT_EQ(plain.stop(), 0);
    EXPECT_EQ(previous.stop(), 0);
    const std::vector<Line> lines = plain.lines();
    EXPECT_EQ(lines.at(0).text, "Tracing run queue latency higher than 0 us");
    EXPECT_EQ(lines.at(1).text, "TIME     COMM             TID           LAT(us)");
    const std::vector<Line> wide = previous.lines();
    EXPECT_EQ(wide.at(0).text, lines.at(0).text);
    EXPECT_EQ(wide.at(1).text,
              "TIME     COMM             TID           LAT(us) PREV COMM        PREV TID");
    const auto is_number = [](std::string text) {
        text.erase(0, std::min(text.find_first_not_of(' '), text.size()));
        text.erase(text.find_last_not_of(' ') + 1);
        return !text.empty() && text.find_first_not_of("0123456789") == std::string::npos;
    };
    for (std::size_t i = 2; i < wide.size(); ++i) {
        const std::string& line = wide[i].text;
        ASSERT_GE(line.size(), 66U) << line;
        EXPECT_EQ(line.substr(9, 17), "rqs-columns      ") << line;
        EXPECT_TRUE(is_number(line.substr(26, 6))) << line;
        EXPECT_TRUE(is_number(line.substr(33, 14))) << line;
        EXPECT_EQ(line[47], ' ');
        EXPECT_TRUE(is_number(line.substr(line.rfind(' ', line.find_last_not_of(' '))))) << line;
    }
    for (std::size_t i = 2; i < lines.size(); ++i) {
        EXPECT_EQ(lines[i].text.size(), 47U) << lines[i].text;
    }
}

}  // namespace
}  // namespace rqs::ktest
