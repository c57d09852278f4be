// SPDX-License-Identifier: BSD-2-Clause
#include "commands/replay_span.h"

#include <fmt/format.h>

#include <algorithm>
#include <ctime>
#include <string>
#include <string_view>

#include "util/text.h"
#include "util/values.h"

namespace rqs {
namespace {

constexpr std::int64_t ns_per_s = 1'000'000'000;
constexpr int seconds_a_day = 86400;

/// The fraction of a second behind `text`'s last dot, which is taken away.
Result<std::int64_t> take_fraction_ns(std::string& text, std::string_view what) {
    const std::size_t dot = text.find('.');
    if (dot == std::string::npos) {
        return 0;
    }
    const auto seconds = util::parse_seconds("0" + text.substr(dot) + "000000001", what);
    if (!seconds) {
        return tl::unexpected(seconds.error());
    }
    text.erase(dot);
    return static_cast<std::int64_t>(*seconds * static_cast<double>(ns_per_s));
}

/// `0`, `0.0`: no time for parse_seconds(), but a moment.
bool is_zero(std::string_view word) {
    return word.find_first_not_of("0.") == std::string_view::npos &&
           word.find('0') != std::string_view::npos && word.find('.') == word.rfind('.');
}

bool reads(const std::string& text, const char* format, tm& when) {
    const char* const rest = ::strptime(text.c_str(), format, &when);
    return rest != nullptr && *rest == '\0';
}

/// CLOCK_REALTIME of a time of day, in seconds.
Result<std::int64_t> time_of_day_s(const std::string& text, std::string_view what,
                                   std::int64_t began_real_ns) {
    const std::time_t began = began_real_ns / ns_per_s;
    tm when{};
    ::localtime_r(&began, &when);
    tm dated = when;
    if (reads(text, "%Y-%m-%dT%H:%M:%S", dated) || reads(text, "%Y-%m-%d %H:%M:%S", dated)) {
        dated.tm_isdst = -1;
        return std::mktime(&dated);
    }
    if (!reads(text, "%H:%M:%S", when) && !reads(text, "%H:%M", when)) {
        return usage_error(fmt::format(
            "{}: {} is neither seconds since the start nor a time of day; write 12.5 or 14:30:05",
            what, util::in_quotes(text)));
    }
    when.tm_isdst = -1;
    const std::time_t today = std::mktime(&when);
    return today < began ? today + seconds_a_day : today;
}

Result<std::uint64_t> moment_ns(const std::string& word, std::string_view what,
                                const RecordingInfo& info) {
    if (is_zero(word)) {
        return info.covered_from_ns();
    }
    if (word.find(':') == std::string::npos) {
        const auto seconds = util::parse_seconds(word, what);
        if (!seconds) {
            return usage_error(fmt::format(
                "{}: {} is neither seconds since the start nor a time of day; write 12.5 or "
                "14:30:05",
                what, util::in_quotes(word)));
        }
        return info.covered_from_ns() +
               static_cast<std::uint64_t>(*seconds * static_cast<double>(ns_per_s));
    }
    std::string text = word;
    const auto fraction_ns = take_fraction_ns(text, what);
    if (!fraction_ns) {
        return tl::unexpected(fraction_ns.error());
    }
    const auto began_real_ns =
        static_cast<std::int64_t>(info.covered_from_ns()) + info.realtime_offset_ns;
    const auto real_s = time_of_day_s(text, what, began_real_ns);
    if (!real_s) {
        return tl::unexpected(real_s.error());
    }
    const std::int64_t ns = *real_s * ns_per_s + *fraction_ns - info.realtime_offset_ns;
    return static_cast<std::uint64_t>(std::max<std::int64_t>(ns, 0));
}

}  // namespace

Result<ReplaySpan> replay_span(const TraceOptions& options, const RecordingInfo& info) {
    ReplaySpan span;
    if (options.replay.from) {
        const auto from = moment_ns(*options.replay.from, "--from", info);
        if (!from) {
            return tl::unexpected(from.error());
        }
        span.from_ns = *from;
    }
    if (options.replay.to) {
        const auto to = moment_ns(*options.replay.to, "--to", info);
        if (!to) {
            return tl::unexpected(to.error());
        }
        span.to_ns = *to;
    }
    if (options.run.duration_s) {
        const auto length_ns =
            static_cast<std::uint64_t>(*options.run.duration_s * static_cast<double>(ns_per_s));
        span.to_ns =
            std::min(span.to_ns, std::max(span.from_ns, info.covered_from_ns()) + length_ns);
    }
    if (span.to_ns < span.from_ns) {
        return usage_error("--to lies before --from; nothing is between them");
    }
    return span;
}

}  // namespace rqs
