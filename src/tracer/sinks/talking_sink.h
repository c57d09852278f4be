// SPDX-License-Identifier: BSD-2-Clause
#pragma once

#include <string>

#include "sinks/closing.h"
#include "sinks/report_tables.h"
#include "sinks/sink.h"

namespace rqs::sinks {

/// A format that has no place for anything but events: losses, reports and the last word are said
/// to a person.
class TalkingSink : public Sink {
  public:
    explicit TalkingSink(const SinkSetup& setup) : setup_(setup), closing_(setup) {}

    void loss(std::string& /*out*/, std::string& talk, const Loss& loss) override {
        closing_.loss(talk, loss);
    }

    void report(std::string& /*out*/, std::string& talk, const SummaryReport& report) override {
        closing_.report(report);
        append_report_tables(talk, report, setup_);
    }

    void end(std::string& /*out*/, std::string& talk, const RunEnd& end) override {
        closing_.line(talk, end);
        closing_.warnings(talk, end);
    }

  protected:
    [[nodiscard]] const SinkSetup& setup() const { return setup_; }
    Closing& closing() { return closing_; }

  private:
    SinkSetup setup_;
    Closing closing_;
};

}  // namespace rqs::sinks
