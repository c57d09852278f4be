// SPDX-License-Identifier: BSD-2-Clause
#include "commands/views.h"

#include <sys/ioctl.h>
#include <unistd.h>

#include "util/stop_signals.h"

namespace rqs {

Result<util::Output> open_output(const std::string& path) {
    Result<util::Output> out = path.empty() ? Result<util::Output>(util::Output(STDOUT_FILENO))
                                            : util::Output::create_file(path);
    if (out) {
        out->give_up_when([] { return util::stop_signal() != 0; });
    }
    return out;
}

std::size_t width_of(int fd) {
    constexpr std::size_t usual = 80;
    winsize size{};
    return ::ioctl(fd, TIOCGWINSZ, &size) == 0 && size.ws_col > 0 ? size.ws_col : usual;
}

Views::Views(const ViewOptions& view, util::Output& out, std::uint32_t history)
    : printer_(std::make_unique<Printer>(view, out, width_of(out.fd()), history)) {
    if (view.summary) {
        summarizer_ = std::make_unique<Summarizer>(
            view.by, view.interval_s,
            [printer = printer_.get()](const SummaryReport& report) { printer->report(report); });
    }
}

// An interval's report stands before what follows it.
std::vector<Consumer*> Views::consumers() const {
    std::vector<Consumer*> consumers;
    if (summarizer_) {
        consumers.push_back(summarizer_.get());
    }
    consumers.push_back(printer_.get());
    return consumers;
}

}  // namespace rqs
