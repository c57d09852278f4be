// SPDX-License-Identifier: BSD-2-Clause
// The columns that there are: one row each, of which text, CSV and the check of the documented
// headings are made.
#pragma once

#include <cstddef>
#include <span>
#include <string_view>
#include <vector>

#include "model/event.h"
#include "model/options.h"
#include "sinks/line.h"
#include "util/local_time.h"

namespace rqs::sinks {

using Moment = util::LocalTime::Moment;

/// What a line is about: a wait, or a task that waits still, in the shape of a wait.
struct WaitRow {
    const Wait& wait;
    const Stuck* stuck;  ///< null for a wait that has ended
    const Moment& moment;
};

struct IntervalRow {
    const Interval& interval;
    const Moment& moment;
};

/// Whether a column is wanted; null: always.
using Shown = bool (*)(const ViewOptions& view);

enum class Align { left, right };

/// How a value is laid out in text. One that is longer than `width` stands whole.
struct Layout {
    std::size_t width = 0;
    Align align = Align::left;
};

template <typename Row>
struct Column {
    struct Csv {
        std::string_view name;  ///< empty: not there
        void (*put)(Line& line, const Row& row) = nullptr;
        Shown shown = nullptr;
    };
    struct Text {
        std::string_view heading;  ///< empty: not there
        std::size_t place = 0;     ///< from left to right; CSV has the order of the table
        Layout layout;
        void (*put)(Line& line, const Row& row, const Layout& layout) = nullptr;
        Shown shown = nullptr;
    };
    Csv csv;
    Text text;
};

std::span<const Column<WaitRow>> wait_columns();
std::span<const Column<IntervalRow>> interval_columns();

/// Those that `view` shows, and how a line is made of them. Neither allocates for a line.
template <typename Row>
class TextColumns {
  public:
    TextColumns(std::span<const Column<Row>> all, const ViewOptions& view);
    void heading(Line& line) const;
    void row(Line& line, const Row& row) const {
        shown_.front().put(line, row, shown_.front().layout);
        for (std::size_t i = 1; i < shown_.size(); ++i) {
            line.text(" ");
            shown_[i].put(line, row, shown_[i].layout);
        }
    }

  private:
    std::vector<typename Column<Row>::Text> shown_;
};

template <typename Row>
class CsvColumns {
  public:
    CsvColumns(std::span<const Column<Row>> all, const ViewOptions& view);
    void heading(Line& line) const;
    void row(Line& line, const Row& row) const {
        shown_.front().put(line, row);
        for (std::size_t i = 1; i < shown_.size(); ++i) {
            line.text(",");
            shown_[i].put(line, row);
        }
        line.text("\r\n");
    }

  private:
    std::vector<typename Column<Row>::Csv> shown_;
};

extern template class TextColumns<WaitRow>;
extern template class TextColumns<IntervalRow>;
extern template class CsvColumns<WaitRow>;
extern template class CsvColumns<IntervalRow>;

/// A task that waits still, in the columns of a wait: wait_ns is how long so far.
Wait wait_of(const Stuck& stuck);

}  // namespace rqs::sinks
