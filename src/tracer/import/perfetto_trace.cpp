// SPDX-License-Identifier: BSD-2-Clause
#include "import/perfetto_trace.h"

#include <fmt/format.h>
#define ZLIB_CONST  // what is read stays as it is
#include <zlib.h>

#include <algorithm>
#include <exception>

#include "import/protobuf.h"
#include "import/zstd_stream.h"

namespace rqs::import {
namespace {

using Kind = SchedEvent::Kind;
using protozero::pbf_reader;

constexpr std::size_t most_packet_bytes = std::size_t{64} << 20;

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

std::optional<std::vector<std::uint8_t>> inflated(std::string_view packed) {
    constexpr std::size_t piece = std::size_t{1} << 18;
    std::vector<std::uint8_t> out;
    z_stream stream{};
    if (::inflateInit(&stream) != Z_OK) {
        return std::nullopt;
    }
    stream.next_in = reinterpret_cast<const Bytef*>(packed.data());
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
    while (!file->held_) {
        auto packet = file->next_packet();
        if (!packet) {
            return fail(
                fmt::format("{} has no sched events of ftrace: record it with the data "
                            "source linux.ftrace and sched/sched_switch",
                            file->source_.name()));
        }
        file->take_packet(Cursor::view(*packet), names);
        if (file->bundles_.begun()) {
            file->bundles_ = {};
            file->held_ = std::move(packet);
        }
    }
    return std::unique_ptr<ForeignFile>(std::move(file));
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
                pbf_reader bundle = message_of(reader);
                while (bundle.next(1)) {
                    info_.cpus =
                        std::max(info_.cpus, std::min(static_cast<std::uint32_t>(number_of(bundle)),
                                                      PerfettoBundles::most_cpus - 1) +
                                                 1);
                }
            }
        } catch (const std::exception&) {
            continue;  // said when it is read
        }
    }
    forget_damage();
    source_.seek(0);
}

/// Where it is damaged, what was read of it before counts.
void PerfettoTrace::take_packet(std::string_view packet, EventTaker& taker) {
    try {
        take_packet_of(packet, taker);
    } catch (const std::exception&) {  // protozero's, of bytes that are no message
        note_damage(fmt::format("{}: a packet cannot be read", source_.name()));
    }
}

void PerfettoTrace::take_packet_of(std::string_view packet, EventTaker& taker) {
    pbf_reader reader = reader_of(packet);
    while (reader.next()) {
        switch (reader.tag()) {
            case packet_bundle:
                bundles_.take(view_of(reader), taker);
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
        pbf_reader packet = message_of(reader);
        while (packet.next()) {
            if (packet.tag() == packet_bundle) {
                bundles_.take(view_of(packet), taker);
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
        pbf_reader clock = message_of(reader);
        std::uint64_t id = 0;
        std::uint64_t ns = 0;
        while (clock.next()) {
            if (clock.tag() == 1) {
                id = number_of(clock);
            } else if (clock.tag() == 2) {
                ns = number_of(clock);
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
            pbf_reader names = message_of(reader);
            while (names.next()) {
                if (names.tag() == 3) {
                    info_.kernel = view_of(names);
                } else if (names.tag() == 4) {
                    info_.machine = view_of(names);
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
        pbf_reader thread = message_of(reader);
        while (thread.next()) {
            if (thread.tag() == 1) {
                event.tid = static_cast<std::uint32_t>(number_of(thread));
            } else if (thread.tag() == 2) {
                event.comm = Comm::from(view_of(thread));
            } else if (thread.tag() == 3) {
                event.pid = static_cast<std::uint32_t>(number_of(thread));
            } else {
                thread.skip();
            }
        }
        taker.take(event);
    }
}

Result<bool> PerfettoTrace::read_some(EventTaker& taker) {
    constexpr int packets_a_time = 256;
    for (const SchedEvent& name : std::exchange(names_, {})) {
        taker.take(name);
    }
    if (held_) {
        take_packet(Cursor::view(*held_), taker);
        held_.reset();
    }
    for (int i = 0; i < packets_a_time && !ended_; ++i) {
        const auto packet = next_packet();
        if (packet) {
            take_packet(Cursor::view(*packet), taker);
            continue;
        }
        bundles_.finish(taker);
        if (bundles_.late() > 0) {
            note_damage(
                fmt::format("{}: {} events are out of order", source_.name(), bundles_.late()));
        }
        ended_ = true;
    }
    return !ended_;
}

}  // namespace rqs::import
