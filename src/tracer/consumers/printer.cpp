// SPDX-License-Identifier: BSD-2-Clause
#include "consumers/printer.h"

#include <string>

#include "util/say.h"

namespace rqs {
namespace {

// A sink's talk ends with a newline, which say() adds itself.
void speak(std::string talk) {
    if (talk.empty()) {
        return;
    }
    if (talk.back() == '\n') {
        talk.pop_back();
    }
    util::say(std::move(talk));
}

}  // namespace

Needs Printer::needs() const {
    // Without events nobody looks at the parts of one.
    return view_.quiet ? Needs{} : sink_needs(view_);
}

void Printer::begin(const RunInfo& info) {
    sink_ = make_sink({view_, info, width_, history_});
    if (!view_.quiet) {
        sink_->begin(out_.buffer());
    }
}

void Printer::wait(const Wait& wait) {
    if (!view_.quiet) {
        sink_->wait(out_.buffer(), wait);
        written();
    }
}

void Printer::stuck(const Stuck& stuck) {
    if (!view_.quiet) {
        sink_->stuck(out_.buffer(), stuck);
        written();
    }
}

void Printer::interval(const Interval& interval) {
    if (!view_.quiet) {
        sink_->interval(out_.buffer(), interval);
        written();
    }
}

void Printer::loss(const Loss& loss) {
    std::string talk;
    std::string unwanted;
    sink_->loss(view_.quiet ? unwanted : out_.buffer(), talk, loss);
    speak(std::move(talk));
}

// An output says why it failed once, perhaps to a call in the middle of a batch.
Status Printer::flush() {
    auto flushed = out_.flush();
    if (flushed && out_.error()) {
        return tl::unexpected(*out_.error());
    }
    return flushed;
}

void Printer::report(const SummaryReport& report) {
    std::string talk;
    sink_->report(out_.buffer(), talk, report);
    speak(std::move(talk));
    written();
}

void Printer::end(const RunEnd& end) {
    std::string talk;
    sink_->end(out_.buffer(), talk, end);
    // The data first: on a terminal the last word comes last.
    (void)out_.flush();
    speak(std::move(talk));
}

}  // namespace rqs
