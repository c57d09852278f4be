// SPDX-License-Identifier: BSD-2-Clause
#include "perfetto/wait_slices.h"

#include <fmt/format.h>

#include <algorithm>
#include <span>
#include <string>

#include "sinks/named_parts.h"

namespace rqs::perfetto {
namespace {

void write_words(protozero::pbf_writer& data, Tag tag, std::span<const std::string_view> words) {
    std::uint64_t iid = 0;
    for (const std::string_view word : words) {
        protozero::pbf_writer entry(data, tag);
        entry.add_uint64(interned::iid, ++iid);
        entry.add_string(interned::text, std::string(word));
    }
}

/// One argument: its name, and what `fill` adds.
template <typename Fill>
void argument(protozero::pbf_writer& to, Tag tag, Key key, Fill&& fill) {
    protozero::pbf_writer annotation(to, tag);
    annotation.add_uint64(annotation::name_iid, static_cast<std::uint64_t>(key));
    fill(annotation);
}

void number(protozero::pbf_writer& to, Key key, std::uint64_t value, Tag tag = event::annotations) {
    argument(to, tag, key, [value](protozero::pbf_writer& annotation) {
        annotation.add_uint64(annotation::uint_value, value);
    });
}

void text(protozero::pbf_writer& to, Key key, const std::string& value) {
    argument(to, event::annotations, key, [&value](protozero::pbf_writer& annotation) {
        annotation.add_string(annotation::string_value, value);
    });
}

void word(protozero::pbf_writer& to, Key key, std::uint64_t iid) {
    argument(to, event::annotations, key, [iid](protozero::pbf_writer& annotation) {
        annotation.add_uint64(annotation::string_value_iid, iid);
    });
}

void is_not(protozero::pbf_writer& to, Key key) {
    argument(to, event::annotations, key, [](protozero::pbf_writer& annotation) {
        annotation.add_bool(annotation::bool_value, false);
    });
}

/// A task that had the CPU at several ranks is a part for each of them.
std::string part_label(const Part& part) {
    constexpr std::int16_t fair = 100;
    const std::string label = label_of(part.task);
    return part.prio < fair ? fmt::format("{} prio {}", label, part.prio) : label;
}

std::string waker_text(const Waker& waker) {
    return waker.interrupt ? fmt::format("an interrupt on CPU {}", waker.cpu)
                           : label_of(waker.task);
}

}  // namespace

template <typename Fill>
void WaitSlices::event(std::uint64_t ts_ns, std::uint64_t track, EventType type, Fill&& fill) {
    file_.packet([&](protozero::pbf_writer& packet) {
        packet.add_uint64(packet::timestamp, ts_ns);
        packet.add_uint32(packet::sequence_id, the_sequence);
        packet.add_uint32(packet::sequence_flags, state_needed);
        protozero::pbf_writer event(packet, packet::track_event);
        event.add_uint32(event::type, static_cast<std::uint32_t>(type));
        event.add_uint64(event::track_uuid, track);
        fill(event);
    });
}

void WaitSlices::end(std::uint64_t ts_ns, std::uint64_t track) {
    event(ts_ns, track, EventType::end, [](protozero::pbf_writer& /*event*/) {});
}

void WaitSlices::begin() {
    file_.packet([](protozero::pbf_writer& packet) {
        packet.add_uint32(packet::sequence_id, the_sequence);
        packet.add_uint32(packet::sequence_flags, state_cleared);
        protozero::pbf_writer data(packet, packet::interned_data);
        write_words(data, interned::event_names, event_names);
        write_words(data, interned::annotation_names, annotation_names);
        write_words(data, interned::annotation_strings, value_words);
    });
}

// A thread waits once at a time, but the clocks of two CPUs differ a little: slices must nest.
void WaitSlices::wait(const Wait& wait, Threads::Thread& thread, std::uint64_t begin_ns,
                      std::uint64_t end_ns, const RecentRuns& runs) {
    begin_ns = std::min(std::max(begin_ns, thread.last_wait_ns), end_ns);
    thread.last_wait_ns = std::max(thread.last_wait_ns, end_ns);
    const std::uint64_t track = threads_.track(thread);
    write_wait(wait, track, begin_ns);
    if (!wait.why.empty() && wait.why.front().kind == PartKind::ran) {
        const auto culprit = runs.longest(wait.cpu, wait.why.front().task.tid, begin_ns, end_ns);
        if (culprit) {
            write_culprit(wait, track, *culprit);
        }
    }
    end(end_ns, track);
}

void WaitSlices::write_wait(const Wait& wait, std::uint64_t track, std::uint64_t begin_ns) {
    event(begin_ns, track, EventType::begin, [&](protozero::pbf_writer& event) {
        event.add_uint64(event::name_iid, static_cast<std::uint64_t>(name_of(wait.cause)));
        word(event, Key::cause, word_of(wait.cause));
        word(event, Key::kind, word_of(wait.kind));
        number(event, Key::wait_ns, wait.wait_ns);
        number(event, Key::cpu, wait.cpu);
        write_ledger(event, wait);
        if (!wait.stamped) {
            is_not(event, Key::stamped);
        }
        if (!wait.complete) {
            is_not(event, Key::complete);
        }
        if (wait.waker) {
            text(event, Key::waker, waker_text(*wait.waker));
        }
    });
}

void WaitSlices::write_ledger(protozero::pbf_writer& event, const Wait& wait) const {
    protozero::pbf_writer ledger(event, event::annotations);
    ledger.add_uint64(annotation::name_iid, static_cast<std::uint64_t>(Key::ledger));
    const auto others = sinks::show_parts(wait.why, named_tasks_, [&](const Part& part) {
        if (part.kind != PartKind::ran) {
            number(ledger, key_of(part.kind), part.ns, annotation::dict_entries);
            return;
        }
        protozero::pbf_writer entry(ledger, annotation::dict_entries);
        entry.add_string(annotation::name, part_label(part));
        entry.add_uint64(annotation::uint_value, part.ns);
    });
    if (others.count > 0) {
        number(ledger, Key::others, others.ns, annotation::dict_entries);
    }
}

// Perfetto draws an arrow from the earlier of two slices to the later one, and looks for an arrow's
// end only once it has begun. So it ends not in the wait itself, which may have begun long before
// the culprit came, but in a slice within it, which begins no earlier than the culprit's run. And
// it comes from an instant: a run that keeps many waiting is told of many times, and instants nest
// whatever their order is.
void WaitSlices::write_culprit(const Wait& wait, std::uint64_t track,
                               const RecentRuns::Overlap& culprit) {
    const std::uint64_t flow = ++flows_;
    Threads::Thread& thread = threads_.thread(culprit.task, culprit.run_began_ns);
    event(culprit.run_began_ns, threads_.track(thread), EventType::instant,
          [&](protozero::pbf_writer& event) {
              event.add_uint64(event::name_iid, static_cast<std::uint64_t>(Name::delays));
              text(event, Key::victim, label_of(wait.task));
              number(event, Key::ns, culprit.to_ns - culprit.from_ns);
              event.add_fixed64(event::flow_ids, flow);
          });
    event(culprit.from_ns, track, EventType::begin, [&](protozero::pbf_writer& event) {
        event.add_string(event::name, label_of(culprit.task));
        event.add_fixed64(event::terminating_flow_ids, flow);
    });
    end(culprit.to_ns, track);
}

WaitSlices::LossTrack& WaitSlices::loss_track(std::uint32_t cpu, std::uint64_t uuid) {
    const std::size_t place = cpu == Loss::any_cpu ? 0 : std::size_t{cpu} + 1;
    if (place >= loss_tracks_.size()) {
        loss_tracks_.resize(place + 1);
    }
    LossTrack& found = loss_tracks_[place];
    if (!found.told) {
        found.told = true;
        file_.packet([&](protozero::pbf_writer& packet) {
            protozero::pbf_writer descriptor(packet, packet::track_descriptor);
            descriptor.add_uint64(track::uuid, uuid);
            descriptor.add_string(
                track::name, place == 0 ? "lost waits" : fmt::format("lost waits, CPU {}", cpu));
        });
    }
    return found;
}

void WaitSlices::loss(const Loss& loss, std::uint64_t from_ns, std::uint64_t to_ns) {
    // Threads' tracks have a tid in their upper half, which is never so large.
    const std::uint64_t uuid = std::uint64_t{1} << 63 | loss.cpu;
    LossTrack& place = loss_track(loss.cpu, uuid);
    from_ns = std::max(from_ns, place.last_ns);
    to_ns = std::max(from_ns, to_ns);
    place.last_ns = to_ns;
    event(from_ns, uuid, EventType::begin, [&](protozero::pbf_writer& event) {
        event.add_uint64(event::name_iid, static_cast<std::uint64_t>(Name::lost));
        number(event, Key::lost, loss.lost);
        text(event, Key::reason, std::string(name(loss.reason)));
    });
    end(to_ns, uuid);
}

}  // namespace rqs::perfetto
