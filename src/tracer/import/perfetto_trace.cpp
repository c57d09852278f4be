// SPDX-License-Identifier: BSD-2-Clause
#include "import/perfetto_trace.h"

#include <fmt/format.h>
#include <zlib.h>

#include <algorithm>
#include <exception>
#include <protozero/pbf_reader.hpp>

#include "import/zstd_stream.h"

namespace rqs::import {
namespace {

using Kind = SchedEvent::Kind;
using protozero::data_view;
using protozero::pbf_reader;

constexpr std::size_t most_packet_bytes = std::size_t{64} << 20;
constexpr std::size_t most_damage = 20;
constexpr std::uint32_t most_cpus = 8192;

// Numbers of fields, as Perfetto's public definitions have them.
constexpr std::uint8_t packet_head = 0x0a;  // field 1, with a length
constexpr protozero::pbf_tag_type packet_bundle = 1;
constexpr protozero::pbf_tag_type packet_process_tree = 2;
constexpr protozero::pbf_tag_type packet_clocks = 6;
constexpr protozero::pbf_tag_type packet_system_info = 45;
constexpr protozero::pbf_tag_type packet_deflated = 50;
constexpr protozero::pbf_tag_type packet_zstd = 133;

constexpr std::uint64_t clock_realtime = 1;
constexpr std::uint64_t clock_boottime = 6;

// Of FtraceEvent.
constexpr protozero::pbf_tag_type event_switch = 4;
constexpr protozero::pbf_tag_type event_wakeup = 17;
constexpr protozero::pbf_tag_type event_waking = 20;
constexpr protozero::pbf_tag_type event_wakeup_new = 114;
constexpr protozero::pbf_tag_type event_migrate = 491;

pbf_reader reader_of(std::string_view bytes) {
    return pbf_reader(data_view(bytes.data(), bytes.size()));
}

std::string_view view_of(pbf_reader& reader) {
    const data_view view = reader.get_view();
    return {view.data(), view.size()};
}

Comm comm_at(const std::vector<std::string_view>& texts, std::uint64_t index) {
    return index < texts.size() ? Comm::from(texts[index]) : Comm{};
}

/// A column of numbers: packed varints.
class Column {
  public:
    Column() = default;
    explicit Column(std::string_view bytes)
        : data_(bytes.data()), end_(bytes.data() + bytes.size()) {}

    [[nodiscard]] bool ended() const { return data_ == end_; }
    /// 0 where the column is shorter than its neighbours.
    std::uint64_t next() { return ended() ? 0 : protozero::decode_varint(&data_, end_); }

  private:
    const char* data_ = nullptr;
    const char* end_ = nullptr;
};

/// sched_wakeup, sched_waking and sched_migrate_task begin alike; what is behind differs.
void take_fields(SchedEvent& event, std::string_view body) {
    pbf_reader reader = reader_of(body);
    while (reader.next()) {
        switch (reader.tag()) {
            case 1:
                event.comm = Comm::from(view_of(reader));
                break;
            case 2:
                event.tid = static_cast<std::uint32_t>(reader.get_int32());
                break;
            case 3:
                event.prio = static_cast<std::int16_t>(reader.get_int32());
                break;
            case 5:  // target_cpu, or dest_cpu
                event.to_cpu = static_cast<std::uint32_t>(reader.get_int32());
                break;
            default:
                reader.skip();
        }
    }
}

void take_switch(SchedEvent& event, std::string_view body) {
    pbf_reader reader = reader_of(body);
    while (reader.next()) {
        switch (reader.tag()) {
            case 1:
                event.comm = Comm::from(view_of(reader));
                break;
            case 2:
                event.tid = static_cast<std::uint32_t>(reader.get_int32());
                break;
            case 3:
                event.prio = static_cast<std::int16_t>(reader.get_int32());
                break;
            case 4:
                event.state = static_cast<std::uint64_t>(reader.get_int64());
                break;
            case 5:
                event.next_comm = Comm::from(view_of(reader));
                break;
            case 6:
                event.next_tid = static_cast<std::uint32_t>(reader.get_int32());
                break;
            case 7:
                event.next_prio = static_cast<std::int16_t>(reader.get_int32());
                break;
            default:
                reader.skip();
        }
    }
}

Kind kind_of(protozero::pbf_tag_type tag) {
    switch (tag) {
        case event_switch:
            return Kind::switched;
        case event_wakeup:
            return Kind::woken;
        case event_waking:
            return Kind::waking;
        case event_wakeup_new:
            return Kind::made;
        case event_migrate:
            return Kind::migrated;
        default:
            return Kind::none;
    }
}

std::optional<std::vector<std::uint8_t>> inflated(std::string_view packed) {
    constexpr std::size_t piece = std::size_t{1} << 18;
    std::vector<std::uint8_t> out;
    z_stream stream{};
    if (::inflateInit(&stream) != Z_OK) {
        return std::nullopt;
    }
    stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(packed.data()));
    stream.avail_in = static_cast<uInt>(packed.size());
    int result = Z_OK;
    while (result == Z_OK && out.size() < most_packet_bytes) {
        const std::size_t at = out.size();
        out.resize(at + piece);
        stream.next_out = out.data() + at;
        stream.avail_out = piece;
        result = ::inflate(&stream, Z_NO_FLUSH);
        out.resize(at + piece - stream.avail_out);
    }
    (void)::inflateEnd(&stream);
    return result == Z_STREAM_END ? std::optional(std::move(out)) : std::nullopt;
}

/// Keeps names alone: events are read again.
class Names final : public EventTaker {
  public:
    explicit Names(std::vector<SchedEvent>& names) : names_(names) {}
    void take(const SchedEvent& event) override {
        constexpr std::size_t most = 1U << 18;
        if (event.kind == Kind::named && names_.size() < most) {
            names_.push_back(event);
        }
    }

  private:
    std::vector<SchedEvent>& names_;
};

}  // namespace

bool PerfettoTrace::recognises(ByteView first_bytes) {
    if (first_bytes.size() < 2 || first_bytes[0] != packet_head) {
        return false;
    }
    std::uint64_t bytes = 0;
    for (std::size_t i = 1; i < std::min<std::size_t>(first_bytes.size(), 6); ++i) {
        bytes |= std::uint64_t{first_bytes[i] & 0x7fU} << 7 * (i - 1);
        if ((first_bytes[i] & 0x80) == 0) {
            return bytes > 0 && bytes <= most_packet_bytes;
        }
    }
    return false;
}

Result<std::unique_ptr<ForeignFile>> PerfettoTrace::open(ByteSource source) {
    std::unique_ptr<PerfettoTrace> file(new PerfettoTrace(std::move(source)));
    file->info_.format = "Perfetto trace";
    file->info_.tool = "Perfetto";
    file->count_cpus();
    // What the trace says of its machine stands before its events, names of threads among them.
    Names names(file->names_);
    while (!file->begun_) {
        auto packet = file->next_packet();
        if (!packet) {
            return fail(
                fmt::format("{} has no sched events of ftrace: record it with the data "
                            "source linux.ftrace and sched/sched_switch",
                            file->source_.name()));
        }
        (void)file->take_packet(Cursor::view(*packet), names);
        if (file->begun_) {
            file->running_.clear();
            file->order_ = {};
            file->held_ = std::move(packet);
        }
    }
    return std::unique_ptr<ForeignFile>(std::move(file));
}

void PerfettoTrace::note_damage(std::string line) {
    if (damage_.size() < most_damage) {
        damage_.push_back(std::move(line));
    }
}

std::optional<PerfettoTrace::Bytes> PerfettoTrace::next_packet() {
    constexpr std::size_t longest_head = 11;
    const ByteView head = source_.peek(longest_head);
    if (head.empty()) {
        return std::nullopt;
    }
    std::uint64_t bytes = 0;
    std::size_t at = 1;
    bool whole = false;
    for (unsigned shift = 0; at < head.size() && shift < 64 && !whole; shift += 7, ++at) {
        bytes |= std::uint64_t{head[at] & 0x7fU} << shift;
        whole = (head[at] & 0x80) == 0;
    }
    if (head[0] == packet_head && whole && bytes <= most_packet_bytes) {
        source_.drop(at);
        const ByteView body = source_.peek(static_cast<std::size_t>(bytes));
        if (body.size() == bytes) {
            Bytes packet(body.begin(), body.end());
            source_.drop(body.size());
            return packet;
        }
    }
    note_damage(
        fmt::format("{} is cut or damaged: what comes behind a broken packet cannot be "
                    "read",
                    source_.name()));
    source_.drop(SIZE_MAX);
    return std::nullopt;
}

/// No packet says how many there are. A pipe cannot be read twice.
void PerfettoTrace::count_cpus() {
    if (!source_.size()) {
        return;
    }
    while (const auto packet = next_packet()) {
        try {
            pbf_reader reader = reader_of(Cursor::view(*packet));
            while (reader.next(packet_bundle)) {
                pbf_reader bundle = reader.get_message();
                while (bundle.next(1)) {
                    info_.cpus =
                        std::max(info_.cpus, std::min(bundle.get_uint32(), most_cpus - 1) + 1);
                }
            }
        } catch (const std::exception&) {
            continue;  // said when it is read
        }
    }
    damage_.clear();
    source_.seek(0);
}

/// False where it is damaged; what was read of it before counts.
bool PerfettoTrace::take_packet(std::string_view packet, EventTaker& taker) {
    try {
        take_packet_of(packet, taker);
        return true;
    } catch (const std::exception&) {  // protozero's, of bytes that are no message
        note_damage(fmt::format("{}: a packet cannot be read", source_.name()));
        return false;
    }
}

void PerfettoTrace::take_packet_of(std::string_view packet, EventTaker& taker) {
    pbf_reader reader = reader_of(packet);
    while (reader.next()) {
        switch (reader.tag()) {
            case packet_bundle:
                take_bundle(view_of(reader), taker);
                break;
            case packet_process_tree:
                take_names(view_of(reader), taker);
                break;
            case packet_clocks:
                take_clocks(view_of(reader));
                break;
            case packet_system_info:
                take_system(view_of(reader));
                break;
            case packet_deflated:
                if (const auto packets = inflated(view_of(reader))) {
                    take_packets(Cursor::view(*packets), taker);
                } else {
                    note_damage(fmt::format("{}: packets cannot be unpacked", source_.name()));
                }
                break;
            case packet_zstd: {
                const std::string_view packed = view_of(reader);
                Bytes packets;
                const ByteView bytes(reinterpret_cast<const std::uint8_t*>(packed.data()),
                                     packed.size());
                if (ZstdStream().append(bytes, most_packet_bytes, packets)) {
                    take_packets(Cursor::view(packets), taker);
                } else {
                    note_damage(fmt::format("{}: packets cannot be unpacked", source_.name()));
                }
                break;
            }
            default:
                reader.skip();
        }
    }
}

/// Packets in a packet; those that are compressed have none that are.
void PerfettoTrace::take_packets(std::string_view packets, EventTaker& taker) {
    pbf_reader reader = reader_of(packets);
    while (reader.next(1)) {
        pbf_reader packet = reader.get_message();
        while (packet.next()) {
            if (packet.tag() == packet_bundle) {
                take_bundle(view_of(packet), taker);
            } else if (packet.tag() == packet_process_tree) {
                take_names(view_of(packet), taker);
            } else {
                packet.skip();
            }
        }
    }
}

void PerfettoTrace::take_clocks(std::string_view snapshot) {
    std::optional<std::int64_t> real_ns;
    std::optional<std::int64_t> boot_ns;
    pbf_reader reader = reader_of(snapshot);
    while (reader.next(1)) {
        pbf_reader clock = reader.get_message();
        std::uint64_t id = 0;
        std::uint64_t ns = 0;
        while (clock.next()) {
            if (clock.tag() == 1) {
                id = clock.get_uint32();
            } else if (clock.tag() == 2) {
                ns = clock.get_uint64();
            } else {
                clock.skip();
            }
        }
        if (id == clock_realtime) {
            real_ns = static_cast<std::int64_t>(ns);
        } else if (id == clock_boottime) {
            boot_ns = static_cast<std::int64_t>(ns);
        }
    }
    if (real_ns && boot_ns && !info_.realtime_offset_ns) {
        info_.realtime_offset_ns = *real_ns - *boot_ns;
    }
}

void PerfettoTrace::take_system(std::string_view info) {
    pbf_reader reader = reader_of(info);
    while (reader.next()) {
        if (reader.tag() == 1) {
            pbf_reader names = reader.get_message();
            while (names.next()) {
                if (names.tag() == 3) {
                    info_.kernel = names.get_string();
                } else if (names.tag() == 4) {
                    info_.machine = names.get_string();
                } else {
                    names.skip();
                }
            }
        } else {
            reader.skip();
        }
    }
}

void PerfettoTrace::take_names(std::string_view tree, EventTaker& taker) {
    pbf_reader reader = reader_of(tree);
    while (reader.next()) {
        if (reader.tag() != 2) {
            reader.skip();
            continue;
        }
        SchedEvent event;
        event.kind = Kind::named;
        event.cpu = SchedEvent::any_cpu;
        pbf_reader thread = reader.get_message();
        while (thread.next()) {
            if (thread.tag() == 1) {
                event.tid = static_cast<std::uint32_t>(thread.get_int32());
            } else if (thread.tag() == 2) {
                event.comm = Comm::from(view_of(thread));
            } else if (thread.tag() == 3) {
                event.pid = static_cast<std::uint32_t>(thread.get_int32());
            } else {
                thread.skip();
            }
        }
        taker.take(event);
    }
}

void PerfettoTrace::take_bundle(std::string_view bundle, EventTaker& taker) {
    begun_ = true;
    std::uint32_t cpu = 0;
    bool lost = false;
    pbf_reader head = reader_of(bundle);
    while (head.next()) {
        if (head.tag() == 1) {
            cpu = head.get_uint32();
        } else if (head.tag() == 3) {
            lost = head.get_bool();
        } else {
            head.skip();
        }
    }
    if (cpu >= most_cpus) {
        return;
    }
    std::uint64_t first_ns = UINT64_MAX;
    if (lost) {
        running_.erase(cpu);
    }
    pbf_reader reader = reader_of(bundle);
    while (reader.next()) {
        if (reader.tag() == 2) {
            take_event(view_of(reader), cpu, taker);
        } else if (reader.tag() == 4) {
            const std::string_view compact = view_of(reader);
            pbf_reader columns = reader_of(compact);
            while (columns.next()) {
                if (columns.tag() == 1 || columns.tag() == 7) {
                    first_ns = std::min(first_ns, Column(view_of(columns)).next());
                } else {
                    columns.skip();
                }
            }
            if (lost && first_ns != UINT64_MAX) {
                SchedEvent event;
                event.kind = Kind::lost;
                event.cpu = cpu;
                event.ts_ns = first_ns;
                event.lost = 1;  // how many is not told
                order_.add(event, taker);
                lost = false;
            }
            take_compact(compact, cpu, taker);
        } else {
            reader.skip();
        }
    }
}

void PerfettoTrace::take_compact(std::string_view compact, std::uint32_t cpu, EventTaker& taker) {
    std::vector<std::string_view> texts;
    Column when;
    Column state;
    Column next;
    Column prio;
    Column comm;
    pbf_reader reader = reader_of(compact);
    while (reader.next()) {
        switch (reader.tag()) {
            case 1:
                when = Column(view_of(reader));
                break;
            case 2:
                state = Column(view_of(reader));
                break;
            case 3:
                next = Column(view_of(reader));
                break;
            case 4:
                prio = Column(view_of(reader));
                break;
            case 5:
                texts.push_back(view_of(reader));
                break;
            case 6:
                comm = Column(view_of(reader));
                break;
            default:
                reader.skip();
        }
    }
    take_compact_wakings(compact, cpu, texts, taker);
    std::uint64_t ts_ns = 0;
    while (!when.ended()) {
        ts_ns += when.next();
        SchedEvent event;
        event.kind = Kind::switched;
        event.cpu = cpu;
        event.ts_ns = ts_ns;
        event.state = state.next();
        event.next_tid = static_cast<std::uint32_t>(next.next());
        event.next_prio = static_cast<std::int16_t>(prio.next());
        event.next_comm = comm_at(texts, comm.next());
        const auto before = running_.find(cpu);
        // Of the first one of a CPU it is not told who left.
        if (before != running_.end()) {
            event.tid = event.by_tid = before->second.tid;
            event.prio = before->second.prio;
            event.comm = before->second.comm;
            order_.add(event, taker);
        }
        running_[cpu] = {event.next_tid, event.next_prio, event.next_comm};
    }
}

void PerfettoTrace::take_compact_wakings(std::string_view compact, std::uint32_t cpu,
                                         const std::vector<std::string_view>& texts,
                                         EventTaker& taker) {
    Column when;
    Column tid;
    Column target;
    Column prio;
    Column comm;
    Column flags;
    pbf_reader reader = reader_of(compact);
    while (reader.next()) {
        switch (reader.tag()) {
            case 7:
                when = Column(view_of(reader));
                break;
            case 8:
                tid = Column(view_of(reader));
                break;
            case 9:
                target = Column(view_of(reader));
                break;
            case 10:
                prio = Column(view_of(reader));
                break;
            case 11:
                comm = Column(view_of(reader));
                break;
            case 12:
                flags = Column(view_of(reader));
                break;
            default:
                reader.skip();
        }
    }
    std::uint64_t ts_ns = 0;
    while (!when.ended()) {
        ts_ns += when.next();
        SchedEvent event;
        event.kind = Kind::waking;
        event.cpu = cpu;
        event.ts_ns = ts_ns;
        event.tid = static_cast<std::uint32_t>(tid.next());
        event.to_cpu = static_cast<std::uint32_t>(target.next());
        event.prio = static_cast<std::int16_t>(prio.next());
        event.comm = comm_at(texts, comm.next());
        event.flags = static_cast<std::uint8_t>(flags.next());
        event.by_known = false;
        order_.add(event, taker);
    }
}

void PerfettoTrace::take_event(std::string_view event, std::uint32_t cpu, EventTaker& taker) {
    SchedEvent made;
    made.cpu = cpu;
    pbf_reader reader = reader_of(event);
    while (reader.next()) {
        const Kind kind = kind_of(reader.tag());
        if (reader.tag() == 1) {
            made.ts_ns = reader.get_uint64();
        } else if (reader.tag() == 2) {
            made.by_tid = reader.get_uint32();
        } else if (reader.tag() == 5) {
            made.flags = static_cast<std::uint8_t>(reader.get_uint32());
        } else if (kind != Kind::none) {
            made.kind = kind;
            const std::string_view body = view_of(reader);
            if (kind == Kind::switched) {
                take_switch(made, body);
            } else {
                take_fields(made, body);
            }
        } else {
            reader.skip();
        }
    }
    // So a trace is written whose maker does not know the waker, for Perfetto would show one.
    made.by_known = made.by_tid != 0 || made.flags != SchedEvent::in_soft_interrupt;
    if (made.kind != Kind::none) {
        if (made.kind == Kind::switched) {
            running_[cpu] = {made.next_tid, made.next_prio, made.next_comm};
        }
        order_.add(made, taker);
    }
}

Result<bool> PerfettoTrace::read_some(EventTaker& taker) {
    constexpr int packets_a_time = 256;
    for (const SchedEvent& name : std::exchange(names_, {})) {
        taker.take(name);
    }
    if (held_) {
        (void)take_packet(Cursor::view(*held_), taker);
        held_.reset();
    }
    for (int i = 0; i < packets_a_time && !ended_; ++i) {
        const auto packet = next_packet();
        if (packet) {
            (void)take_packet(Cursor::view(*packet), taker);
            continue;
        }
        order_.finish(taker);
        if (order_.late() > 0) {
            note_damage(
                fmt::format("{}: {} events are out of order", source_.name(), order_.late()));
        }
        ended_ = true;
    }
    return !ended_;
}

}  // namespace rqs::import
