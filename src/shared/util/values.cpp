// SPDX-License-Identifier: BSD-2-Clause
#include "util/values.h"

#include <fmt/format.h>

#include <algorithm>
#include <bit>
#include <charconv>
#include <limits>
#include <optional>
#include <string>
#include <system_error>

#include "util/text.h"

namespace rqs::util {

bool all_digits(std::string_view text) {
    return !text.empty() &&
           std::all_of(text.begin(), text.end(), [](char c) { return c >= '0' && c <= '9'; });
}

namespace {

using util::in_quotes;

/// Digits as a number; nothing where 64 bits do not hold it.
std::optional<std::uint64_t> to_u64(std::string_view digits) {
    std::uint64_t value = 0;
    const auto result = std::from_chars(digits.data(), digits.data() + digits.size(), value);
    if (result.ec != std::errc{}) {
        return std::nullopt;
    }
    return value;
}

/// Byte counts the way a user would type them.
std::string size_text(std::uint64_t bytes) {
    constexpr std::uint64_t kib = 1024;
    if (bytes >= kib * kib && bytes % (kib * kib) == 0) {
        return fmt::format("{}m", bytes / (kib * kib));
    }
    return bytes >= kib && bytes % kib == 0 ? fmt::format("{}k", bytes / kib)
                                            : fmt::format("{}", bytes);
}

/// One `N` or `N-M` of a CPU list, appended to `cpus`.
Status append_cpu_range(std::string_view item, std::string_view what,
                        std::vector<std::uint32_t>& cpus) {
    const std::size_t dash = item.find('-');
    const std::string_view from_text = item.substr(0, dash);
    const std::string_view to_text =
        dash == std::string_view::npos ? from_text : item.substr(dash + 1);
    if (!all_digits(from_text) || !all_digits(to_text)) {
        return usage_error(
            fmt::format("{}: {} is not a CPU or a range of CPUs; write a list like 0,2-5", what,
                        in_quotes(item)));
    }
    const auto from = parse_number(from_text, what, {0, max_cpu});
    if (!from) {
        return tl::unexpected(from.error());
    }
    const auto to = parse_number(to_text, what, {0, max_cpu});
    if (!to) {
        return tl::unexpected(to.error());
    }
    if (*from > *to) {
        return usage_error(
            fmt::format("{}: the range {} runs backwards; write {}-{}", what, item, *to, *from));
    }
    for (std::uint64_t cpu = *from; cpu <= *to; ++cpu) {
        cpus.push_back(static_cast<std::uint32_t>(cpu));
    }
    return {};
}

}  // namespace

Result<std::uint64_t> parse_number(std::string_view text, std::string_view what, Range range) {
    if (!all_digits(text)) {
        return usage_error(fmt::format("{}: {} is not a whole number", what, in_quotes(text)));
    }
    const auto value = to_u64(text);
    if (!value || *value > range.max) {
        return usage_error(
            fmt::format("{}: {} is too large; at most {} is possible", what, text, range.max));
    }
    if (*value < range.min) {
        return usage_error(
            fmt::format("{}: {} is too small; at least {} is needed", what, text, range.min));
    }
    return *value;
}

Result<double> parse_seconds(std::string_view text, std::string_view what) {
    constexpr double longest_s = 1e9;
    // Digits with one point in, before or behind them: no signs, no exponents, no names.
    const std::size_t dot = text.find('.');
    const std::string digits =
        std::string(text.substr(0, dot)) +
        std::string(dot == std::string_view::npos ? "" : text.substr(dot + 1));
    if (!all_digits(digits)) {
        return usage_error(fmt::format("{}: {} is not a number of seconds; write 10 or 0.5", what,
                                       in_quotes(text)));
    }
    double value = 0;
    const auto result = std::from_chars(text.data(), text.data() + text.size(), value);
    if (result.ec != std::errc{} || value > longest_s) {
        return usage_error(
            fmt::format("{}: {} is out of range; at most 1000000000 seconds", what, text));
    }
    // Less than the clock's resolution is no time at all.
    if (value < std::numeric_limits<float>::epsilon()) {
        return usage_error(fmt::format("{}: {} seconds is no time; write more than 0", what, text));
    }
    return value;
}

Result<std::uint64_t> parse_bytes(std::string_view text, std::string_view what, Range range) {
    std::string_view digits = text;
    unsigned shift = 0;
    if (!digits.empty()) {
        const char unit = static_cast<char>(digits.back() | 0x20);  // lower case
        shift = unit == 'k' ? 10U : unit == 'm' ? 20U : unit == 'g' ? 30U : 0U;
        digits.remove_suffix(shift != 0 ? 1 : 0);
    }
    if (!all_digits(digits)) {
        return usage_error(fmt::format("{}: {} is not a size; write bytes, or 512k, or 4m", what,
                                       in_quotes(text)));
    }
    const auto value = to_u64(digits);
    if (!value || *value > (range.max >> shift)) {
        return usage_error(fmt::format("{}: {} is too large; at most {} is possible", what, text,
                                       size_text(range.max)));
    }
    const std::uint64_t bytes = *value << shift;
    if (bytes < range.min) {
        return usage_error(fmt::format("{}: {} is too small; at least {} is needed", what, text,
                                       size_text(range.min)));
    }
    return bytes;
}

Result<std::uint64_t> parse_size(std::string_view text, std::string_view what, Range range) {
    auto parsed = parse_bytes(text, what, range);
    if (!parsed) {
        return parsed;
    }
    const std::uint64_t bytes = *parsed;
    if (!std::has_single_bit(bytes)) {
        return usage_error(fmt::format("{}: {} is not a power of two; write {} or {}", what, text,
                                       size_text(std::bit_floor(bytes)),
                                       size_text(std::bit_floor(bytes) * 2)));
    }
    return bytes;
}

Result<std::vector<std::uint32_t>> parse_cpu_list(std::string_view text, std::string_view what) {
    std::vector<std::uint32_t> cpus;
    for (;;) {
        const std::size_t comma = text.find(',');
        if (auto status = append_cpu_range(text.substr(0, comma), what, cpus); !status) {
            return tl::unexpected(status.error());
        }
        if (comma == std::string_view::npos) {
            break;
        }
        text.remove_prefix(comma + 1);
    }
    std::sort(cpus.begin(), cpus.end());
    cpus.erase(std::unique(cpus.begin(), cpus.end()), cpus.end());
    return cpus;
}

}  // namespace rqs::util
