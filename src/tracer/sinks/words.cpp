// SPDX-License-Identifier: BSD-2-Clause
#include "sinks/words.h"

#include <fmt/format.h>

namespace rqs::sinks {
namespace {

constexpr std::uint64_t us = 1'000;
constexpr std::uint64_t ms = 1'000'000;
constexpr std::uint64_t s = 1'000'000'000;

}  // namespace

void put_duration(Line& line, std::uint64_t ns) {
    if (ns < us) {
        line.number(ns);
        line.text(" ns");
        return;
    }
    if (ns < 100 * us - us / 2) {
        line.number((ns + us / 2) / us);
        line.text(" us");
        return;
    }
    const bool long_one = ns >= 10 * s;
    const std::uint64_t unit = long_one ? s : ms;
    const std::uint64_t tenths = ns / (unit / 10) + (ns % (unit / 10) >= unit / 20 ? 1 : 0);
    line.number(tenths / 10);
    line.text(".");
    line.number(tenths % 10);
    line.text(long_one ? " s" : " ms");
}

std::string duration_words(std::uint64_t ns) {
    std::string words;
    Line line(words);
    put_duration(line, ns);
    line.finish();
    return words;
}

std::string total_words(std::uint64_t ns) {
    return ns < s ? duration_words(ns) : fmt::format("{:.1f} s", static_cast<double>(ns) / 1e9);
}

std::string rough_percent(std::uint64_t part, std::uint64_t whole) {
    if (part == 0 || part >= whole) {
        return part == 0 ? "0" : "100";
    }
    const double value = percent(part, whole);
    return value < 1 ? "less than 1" : fmt::format("{:.0f}", value > 99 ? 99.0 : value);
}

}  // namespace rqs::sinks
