// SPDX-License-Identifier: BSD-2-Clause
// Folded stacks, as flame graph tools read them: `waiter;cause;who had the CPU nanoseconds`, one
// line for each part of a wait. The tools sum equal stacks up.
#include <algorithm>
#include <memory>

#include "model/names.h"
#include "sinks/line.h"
#include "sinks/named_parts.h"
#include "sinks/talking_sink.h"

namespace rqs::sinks {
namespace {

constexpr std::uint32_t default_named_tasks = 16;

/// A name as a frame: `;` separates frames.
void frame(Line& line, Comm comm) {
    std::replace(comm.bytes.begin(), comm.bytes.end(), ';', ':');
    line.printable(comm);
}

/// What is no task stands in brackets.
void frame(Line& line, std::string_view word) {
    line.text("(");
    line.text(word);
    line.text(")");
}

class FoldedSink final : public TalkingSink {
  public:
    explicit FoldedSink(const SinkSetup& setup)
        : TalkingSink(setup), named_tasks_(setup.view.named_tasks.value_or(default_named_tasks)) {}

    void wait(std::string& out, const Wait& wait) override {
        closing().wait(wait);
        Line line(out);
        const OtherTasks others = show_parts(wait.why, named_tasks_, [&](const Part& part) {
            begin_stack(line, wait);
            if (part.kind == PartKind::ran) {
                frame(line, part.task.comm);
            } else {
                frame(line, name(part.kind));
            }
            end_stack(line, part.ns);
        });
        if (others.count > 0) {
            begin_stack(line, wait);
            frame(line, "others");
            end_stack(line, others.ns);
        }
        line.finish();
    }

    void interval(std::string& out, const Interval& interval) override {
        if (interval.wait_ns == 0) {
            return;
        }
        Line line(out);
        frame(line, interval.task.comm);
        line.text(";");
        frame(line, "sampled");
        end_stack(line, interval.wait_ns);
        line.finish();
    }

  private:
    static void begin_stack(Line& line, const Wait& wait) {
        frame(line, wait.task.comm);
        line.text(";");
        line.text(name(wait.cause));
        line.text(";");
    }
    static void end_stack(Line& line, std::uint64_t ns) {
        line.text(" ");
        line.number(ns);
        line.text("\n");
    }

    std::uint32_t named_tasks_;
};

}  // namespace

std::unique_ptr<Sink> make_folded_sink(const SinkSetup& setup) {
    return std::make_unique<FoldedSink>(setup);
}

Needs folded_needs(const ViewOptions& view) {
    return {.parts = true, .named_tasks = view.named_tasks.value_or(default_named_tasks)};
}

}  // namespace rqs::sinks
