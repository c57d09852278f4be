// SPDX-License-Identifier: BSD-2-Clause
#include "sinks/closing.h"

#include "sinks/put.h"
#include "sinks/words.h"

namespace rqs::sinks {
namespace {

constexpr std::uint64_t second_ns = 1'000'000'000;
constexpr std::uint32_t long_history = 4096;

}  // namespace

void put_unknown(std::string& out, const UnknownTime& time, std::uint32_t history) {
    if (time.unknown_ns <= time.whole_ns / 20) {
        return;
    }
    put(out, "{:.0f} % of the time waited is unknown: ", percent(time.unknown_ns, time.whole_ns));
    if (time.early_ns > time.unknown_ns / 2) {
        out += "most of it lies in waits that began before tracing did\n";
    } else {
        const bool short_history = history < long_history && !time.lossy;
        put(out, "{} helps\n", short_history ? "--history 4096" : "a larger --buffer");
    }
}

void Closing::loss(std::string& talk, const Loss& loss) {
    lost_unsaid_ += loss.lost;
    if (loss_said_ && loss.to_ns < loss_said_ns_ + second_ns) {
        return;
    }
    put(talk, "warning: {} {} lost, a buffer was full; a larger --buffer helps\n", lost_unsaid_,
        lost_unsaid_ == 1 ? "wait was" : "waits were");
    loss_said_ = true;
    loss_said_ns_ = loss.to_ns;
    lost_unsaid_ = 0;
}

void Closing::line(std::string& talk, const RunEnd& end) const {
    const Counters& counters = end.counters;
    const double seconds = static_cast<double>(end.ended_ns - info_.began_ns) / 1e9;
    put(talk, "{} waits in {:.1f} s, {} {}, {} lost", counters.seen, seconds, counters.kept,
        info_.sampled ? "reported" : "kept", counters.lost);
    if (counters.left_out > 0) {
        put(talk, ", {} of the tool's own left out (--self shows them)", counters.left_out);
    }
    if (counters.late > 0) {
        put(talk, ", {} printed out of order", counters.late);
    }
    talk += '\n';
    // Counters::unverified counts waits below the threshold too, of which the reader sees nothing.
    if (incomplete_ > 0) {
        put(talk,
            "{} of these waits may be longer than shown: parts before tracing began, or on other "
            "CPUs, are not known\n",
            incomplete_);
    }
}

void Closing::warnings(std::string& talk, const RunEnd& end) const {
    const std::uint64_t lost = end.counters.lost;
    const std::uint64_t all = lost + end.counters.kept;
    if (lost > 0) {
        put(talk,
            "warning: {} of {} waits were lost ({} %): the figures above do not include them; a "
            "larger --buffer helps\n",
            lost, all, rough_percent(lost, all));
    }
    if (brief_ > 0 && explained_) {
        put(talk,
            "{} of these waits name fewer tasks than asked for, since events came faster than they "
            "could be written; a higher threshold or a smaller --why helps\n",
            brief_);
    }
    if (explained_ && !reported_) {
        UnknownTime time = time_;
        time.lossy = lost > end.counters.kept;
        put_unknown(talk, time, history_);
    }
}

}  // namespace rqs::sinks
