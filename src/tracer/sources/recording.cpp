// SPDX-License-Identifier: BSD-2-Clause
#include "sources/recording.h"

#include <fmt/format.h>

#include <algorithm>
#include <iterator>
#include <tuple>
#include <utility>

namespace rqs {
namespace {

using record::BlockSummary;
using record::RecordingReader;

bool same_run(const RecordingInfo& a, const RecordingInfo& b) {
    return a.host == b.host && a.began_ns == b.began_ns &&
           a.realtime_offset_ns == b.realtime_offset_ns;
}

}  // namespace

/// Takes away what is not wanted, and counts.
class RecordingSource::Gate final : public RecordHandler {
  public:
    Gate(RecordingSource& source, RecordHandler& next) : source_(source), next_(next) {}

    void on_switch(const Switch& record) override {
        ++source_.switches_;
        if (!record.came) {
            next_.on_switch(record);
            return;
        }
        const Arrival& came = *record.came;
        ++waits_;
        source_.now_ns_ = std::max(source_.now_ns_, came.ts_ns);
        const bool inside =
            came.ts_ns >= source_.span_.from_ns && came.ts_ns <= source_.span_.to_ns;
        source_.seen_ += inside ? 1U : 0U;
        if (inside && came.here_ns + came.elsewhere_ns > source_.min_ns_) {
            next_.on_switch(record);
            return;
        }
        Switch without = record;
        if (source_.min_ns_ > 0 || !inside) {
            without.came.reset();
        }
        next_.on_switch(without);
    }
    void on_throttle(const ThrottleLook& look) override { next_.on_throttle(look); }
    void on_stuck(const Stuck& stuck) override {
        if (stuck.ts_ns >= source_.span_.from_ns && stuck.ts_ns <= source_.span_.to_ns &&
            stuck.waiting_ns > source_.min_ns_) {
            next_.on_stuck(stuck);
        }
    }
    void on_loss(const Loss& loss) override {
        if (loss.to_ns < source_.span_.from_ns || loss.from_ns > source_.span_.to_ns) {
            return;
        }
        source_.lost_ += loss.lost;
        next_.on_loss(loss);
    }
    void on_clock(const ClockReading& reading) override { next_.on_clock(reading); }
    void on_process(const ProcessInfo& info) override { next_.on_process(info); }
    void on_cgroup(const CgroupInfo& info) override { next_.on_cgroup(info); }
    void on_fork(const Fork& fork) override { next_.on_fork(fork); }
    void on_exit(const Exit& exit) override { next_.on_exit(exit); }
    void on_affinity(const Affinity& affinity) override { next_.on_affinity(affinity); }
    [[nodiscard]] bool wants_runs() const override { return next_.wants_runs(); }
    [[nodiscard]] bool done() const override { return next_.done(); }

    /// That came, wanted or not.
    [[nodiscard]] std::uint64_t waits() const { return waits_; }

  private:
    RecordingSource& source_;
    RecordHandler& next_;
    std::uint64_t waits_ = 0;
};

RecordingSource::RecordingSource(std::vector<RecordingReader> readers)
    : readers_(std::move(readers)) {}

Result<std::unique_ptr<RecordingSource>> RecordingSource::open(
    const std::vector<std::string>& paths) {
    std::vector<RecordingReader> readers;
    readers.reserve(paths.size());
    for (const std::string& path : paths) {
        auto reader = RecordingReader::open(path);
        if (!reader) {
            return tl::unexpected(reader.error());
        }
        const auto twin =
            std::find_if(readers.begin(), readers.end(),
                         [&](const RecordingReader& other) { return other.same_file(*reader); });
        if (twin != readers.end()) {
            return usage_error(fmt::format("{} and {} are one file; give each file once",
                                           twin->name(), reader->name()));
        }
        readers.push_back(std::move(*reader));
    }
    std::unique_ptr<RecordingSource> source(new RecordingSource(std::move(readers)));
    if (auto ordered = source->put_in_order(); !ordered) {
        return tl::unexpected(ordered.error());
    }
    source->now_ns_ = source->info().covered_from_ns();
    return source;
}

// A rotation's files know where in the run they begin.
Status RecordingSource::put_in_order() {
    struct Place {
        std::uint64_t waits_before;
        std::uint64_t from_ns;
        std::size_t reader;

        [[nodiscard]] auto key() const { return std::tie(waits_before, from_ns); }
    };
    std::vector<Place> order;
    order.reserve(readers_.size());
    for (std::size_t i = 0; i < readers_.size(); ++i) {
        const RecordingInfo& info = readers_[i].info();
        if (!same_run(info, readers_.front().info())) {
            return fail(fmt::format("{} and {} are of two runs; report one run at a time",
                                    readers_.front().name(), readers_[i].name()));
        }
        order.push_back({info.waits_before, info.covered_from_ns(), i});
    }
    std::sort(order.begin(), order.end(),
              [](const Place& a, const Place& b) { return a.key() < b.key(); });
    const auto copy =
        std::adjacent_find(order.begin(), order.end(),
                           [](const Place& a, const Place& b) { return a.key() == b.key(); });
    if (copy != order.end()) {
        return usage_error(fmt::format("{} and {} are copies of one recording; give one of them",
                                       readers_[copy->reader].name(),
                                       readers_[std::next(copy)->reader].name()));
    }
    std::vector<RecordingReader> sorted;
    sorted.reserve(readers_.size());
    for (const Place& place : order) {
        sorted.push_back(std::move(readers_[place.reader]));
    }
    readers_ = std::move(sorted);
    waits_ = info().waits_before;
    decoder_.emplace(info().cpus);
    return {};
}

std::optional<std::string> RecordingSource::reads(const util::FileId& file) const {
    const auto reader =
        std::find_if(readers_.begin(), readers_.end(),
                     [&](const RecordingReader& one) { return one.file_id() == file; });
    return reader == readers_.end() ? std::nullopt : std::optional(reader->name());
}

void RecordingSource::want(std::uint64_t min_us, const ReplaySpan& span) {
    constexpr std::uint64_t ns_per_us = 1000;
    min_ns_ = min_us > UINT64_MAX / ns_per_us ? UINT64_MAX : min_us * ns_per_us;
    span_ = span;
}

// A file of the run that nobody gave lies between this one and the one before.
void RecordingSource::begin_file(RecordHandler& handler) {
    sought_ = true;
    const RecordingReader& reader = readers_[current_];
    const std::uint64_t before = reader.info().waits_before;
    if (current_ > 0 && before > waits_) {
        note_damage(fmt::format("{} waits lie between {} and {}: a file of the run was not given",
                                before - waits_, readers_[current_ - 1].name(), reader.name()));
        Gate gate(*this, handler);
        note_missing(before - waits_, reader.info().covered_from_ns(), gate);
        waits_ = before;
    }
    seek_to_span();
}

// What a wait at the start of the span was spent on lies before it, by as much as it is long.
void RecordingSource::seek_to_span() {
    if (span_.from_ns == 0) {
        return;
    }
    const auto index = readers_[current_].index();
    if (!index || index->empty()) {
        return;
    }
    std::uint64_t reach_ns = span_.from_ns;
    for (const auto& entry : *index) {
        if (entry.summary.last_ns >= span_.from_ns && entry.summary.first_ns <= span_.to_ns) {
            const std::uint64_t longest_ns = entry.summary.longest_wait_ns;
            reach_ns = std::min(
                reach_ns, entry.summary.first_ns - std::min(entry.summary.first_ns, longest_ns));
        }
    }
    auto first = std::find_if(index->begin(), index->end(),
                              [&](const auto& entry) { return entry.summary.last_ns >= reach_ns; });
    first -= first == index->begin() ? 0 : 1;  // runs reach from one block into the next
    if (first != index->begin()) {
        readers_[current_].seek(first->offset);
        waits_ = first->summary.waits_before;
    }
}

void RecordingSource::note_missing(std::uint64_t waits, std::uint64_t until_ns,
                                   RecordHandler& handler) const {
    if (waits == 0) {
        return;
    }
    Loss loss;
    loss.cpu = Loss::any_cpu;
    loss.from_ns = now_ns_;
    loss.to_ns = std::max(now_ns_, until_ns);
    loss.lost = waits;
    loss.reason = LossReason::damage;
    handler.on_loss(loss);
}

void RecordingSource::note_damage(std::string line) {
    if (damage_.size() < most_damage) {
        damage_.push_back(std::move(line));
        return;
    }
    damage_.resize(most_damage + 1);
    damage_.back() = fmt::format("{} more places are damaged", ++more_damage_);
}

// The waits up to number `waits` of the run, where what was read last ends before that.
void RecordingSource::note_hole(std::uint64_t waits, std::uint64_t until_ns,
                                RecordHandler& handler) {
    if (waits > waits_) {
        note_damage(fmt::format("{} waits are missing: a part of {} cannot be read", waits - waits_,
                                readers_[current_].name()));
        note_missing(waits - waits_, until_ns, handler);
        waits_ = waits;
    }
}

// Waits may lie between two blocks which do not follow one another, and behind the place at which a
// block turns out to be none.
void RecordingSource::hand_on(const RecordingReader::Frame& frame, RecordHandler& handler) {
    const BlockSummary& summary = frame.header.summary;
    const std::string& name = readers_[current_].name();
    Gate gate(*this, handler);
    const bool follows = summary.waits_before == waits_;
    note_hole(summary.waits_before, summary.first_ns, gate);
    const auto block = unpacker_.unpack(frame.header, frame.payload);
    const auto decoded = block ? decoder_->decode(**block, continues_ && follows, gate)
                               : Status(tl::unexpected(block.error()));
    if (!decoded) {
        const std::uint64_t missing =
            summary.waits - std::min<std::uint64_t>(summary.waits, gate.waits());
        note_damage(
            fmt::format("{}: {}; {} waits are missing", name, decoded.error().message, missing));
        note_missing(missing, summary.last_ns, gate);
    }
    continues_ = decoded.has_value();
    waits_ = summary.waits_before + summary.waits;
    handler.on_reached(std::min(now_ns_, span_.to_ns));
}

void RecordingSource::end_file(bool at_its_end, RecordHandler& handler) {
    const RecordingReader& reader = readers_[current_];
    if (at_its_end) {
        Gate gate(*this, handler);
        note_hole(reader.indexed_waits(), reader.ending() ? reader.ending()->ended_ns : 0, gate);
    }
    if (at_its_end && !reader.ending()) {
        note_damage(fmt::format(
            "{} ends in the middle: its recorder was killed or had no room, the copy is cut, or it "
            "is still being written",
            reader.name()));
    } else if (reader.ending()) {
        now_ns_ = std::max(now_ns_, std::min(reader.ending()->ended_ns, span_.to_ns));
    }
    if (reader.skipped_bytes() > 0) {
        note_damage(fmt::format("{} bytes of {} are damaged and were skipped",
                                reader.skipped_bytes(), reader.name()));
    }
    // Files are in order of time, so those behind the end of the span have nothing of it.
    current_ = at_its_end ? current_ + 1 : readers_.size();
    sought_ = false;
}

Status RecordingSource::poll(std::chrono::milliseconds /*timeout*/, RecordHandler& handler) {
    if (ended()) {
        return {};
    }
    if (!sought_) {
        begin_file(handler);
    }
    const auto frame = readers_[current_].next();
    if (!frame || frame->header.summary.first_ns > span_.to_ns) {
        end_file(!frame, handler);
        return {};
    }
    hand_on(*frame, handler);
    return {};
}

Counters RecordingSource::counters() const {
    Counters counters;
    counters.seen = seen_ + lost_;
    counters.lost = lost_;
    // What only the recorder knew, where all of the run is looked at.
    const auto& ending = readers_.back().ending();
    const bool whole = span_.from_ns == 0 && span_.to_ns == UINT64_MAX;
    if (ending && whole) {
        counters.seen = std::max(counters.seen, ending->counters.seen);
        counters.unverified = ending->counters.unverified;
        counters.late = ending->counters.late;
    }
    return counters;
}

}  // namespace rqs
