// SPDX-License-Identifier: BSD-2-Clause
// A trace as it was written, and what Perfetto makes of it: the rules by which it computes states
// of threads, nests slices and joins flows, as far as they matter here.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <fstream>
#include <iterator>
#include <map>
#include <optional>
#include <protozero/pbf_reader.hpp>
#include <set>
#include <string>
#include <utility>
#include <vector>

namespace rqs::perfetto_for_test {

using protozero::pbf_reader;
using Args = std::map<std::string, std::string>;  // of a dictionary: `ledger.idle`

struct Switch {
    std::uint32_t cpu = 0;
    std::int64_t prev_state = 0;
    std::int32_t next_tid = 0;
    std::int32_t prio = 0;
    std::string comm;
};
struct Waking {
    std::uint32_t waker = 0;
    std::uint32_t flags = 0;
    std::int32_t tid = 0;
    std::int32_t target_cpu = 0;
    std::string comm;
};
struct SchedEvent {
    std::uint64_t ts = 0;
    std::optional<Switch> switched;
    std::optional<Waking> woke;
};
struct TrackEvent {
    std::uint64_t ts = 0;
    std::uint64_t track = 0;
    std::uint32_t type = 0;
    std::string name;
    Args args;
    std::vector<std::uint64_t> flows, ending_flows;
};
struct Track {
    std::int32_t pid = 0;
    std::int32_t tid = 0;
    std::string name;
    bool operator==(const Track&) const = default;
};
struct Process {
    std::int32_t ppid = 0;
    std::string name;
};
struct Thread {
    std::int32_t tgid = 0;
    std::string name;
};

/// What was written. Things that are told twice have their last values; `tracks_told` counts.
struct Trace {
    std::string sysname, release, machine;
    std::vector<std::map<std::uint32_t, std::uint64_t>> clocks;  // readings, by id
    std::vector<SchedEvent> sched;
    std::vector<TrackEvent> events;
    std::map<std::uint64_t, Track> tracks;
    std::map<std::int32_t, Thread> threads;
    std::map<std::int32_t, Process> processes;
    std::set<std::uint32_t> lossy_cpus;
    std::size_t tracks_told = 0;
    std::size_t conflicting_tracks = 0;
    std::map<std::uint32_t, std::map<std::uint64_t, std::string>> interned;
};

class Parser {
  public:
    static Trace parse(const std::string& bytes) {
        Parser parser;
        pbf_reader trace(bytes);
        while (trace.next(1)) {
            parser.packet(trace.get_message());
        }
        return std::move(parser.trace_);
    }
    static Trace read(const std::string& path) {
        std::ifstream file(path, std::ios::binary);
        return parse({std::istreambuf_iterator<char>(file), {}});
    }

  private:
    void packet(pbf_reader message) {
        std::uint64_t ts = 0;
        while (message.next()) {
            switch (message.tag()) {
                case 1:
                    bundle(message.get_message());
                    break;
                case 2:
                    process_tree(message.get_message());
                    break;
                case 6:
                    clocks(message.get_message());
                    break;
                case 8:
                    ts = message.get_uint64();
                    break;
                case 11:
                    track_event(message.get_message(), ts);
                    break;
                case 12:
                    interned(message.get_message());
                    break;
                case 45:
                    system_info(message.get_message());
                    break;
                case 60:
                    track(message.get_message());
                    break;
                default:
                    message.skip();
            }
        }
    }

    void system_info(pbf_reader message) {
        message.next(1);
        pbf_reader uname = message.get_message();
        while (uname.next()) {
            const auto tag = uname.tag();
            (tag == 1   ? trace_.sysname
             : tag == 3 ? trace_.release
                        : trace_.machine) = uname.get_string();
        }
    }

    void clocks(pbf_reader message) {
        auto& reading = trace_.clocks.emplace_back();
        while (message.next()) {
            if (message.tag() != 1) {
                message.skip();
                continue;
            }
            pbf_reader clock = message.get_message();
            clock.next(1);
            const std::uint32_t id = clock.get_uint32();
            clock.next(2);
            reading[id] = clock.get_uint64();
        }
    }

    void process_tree(pbf_reader message) {
        while (message.next()) {
            const bool is_process = message.tag() == 1;
            pbf_reader one = message.get_message();
            std::int32_t numbers[4] = {};
            std::string name;
            while (one.next()) {
                const auto tag = one.tag();
                if (one.has_wire_type(protozero::pbf_wire_type::varint)) {
                    numbers[tag] = one.get_int32();
                } else {
                    name = one.get_string();
                }
            }
            if (is_process) {
                trace_.processes[numbers[1]] = {numbers[2], name};
            } else {
                trace_.threads[numbers[1]] = {numbers[3], name};
            }
        }
    }

    void bundle(pbf_reader message) {
        std::uint32_t cpu = 0;
        bool lost = false;
        std::vector<pbf_reader> compact;
        while (message.next()) {
            switch (message.tag()) {
                case 1:
                    cpu = message.get_uint32();
                    break;
                case 2:
                    waking(message.get_message());
                    break;
                case 3:
                    lost = message.get_bool();
                    break;
                default:
                    compact.push_back(message.get_message());
            }
        }
        if (lost) {
            trace_.lossy_cpus.insert(cpu);
        }
        for (pbf_reader& one : compact) {
            switches(cpu, one);
        }
    }

    void switches(std::uint32_t cpu, pbf_reader& message) {
        std::map<std::uint32_t, std::vector<std::int64_t>> columns;
        std::vector<std::string> table;
        while (message.next()) {
            if (message.tag() == 5) {
                table.push_back(message.get_string());
                continue;
            }
            auto& column = columns[message.tag()];
            for (const std::int64_t value : message.get_packed_int64()) {
                column.push_back(value);
            }
        }
        std::uint64_t ts = 0;
        for (std::size_t i = 0; i < columns[1].size(); ++i) {
            ts += static_cast<std::uint64_t>(columns[1][i]);
            Switch one{cpu, columns[2].at(i), static_cast<std::int32_t>(columns[3].at(i)),
                       static_cast<std::int32_t>(columns[4].at(i)),
                       table.at(static_cast<std::size_t>(columns[6].at(i)))};
            trace_.sched.push_back({ts, std::move(one), std::nullopt});
        }
    }

    void waking(pbf_reader message) {
        SchedEvent event;
        Waking& woke = event.woke.emplace();
        while (message.next()) {
            switch (message.tag()) {
                case 1:
                    event.ts = message.get_uint64();
                    break;
                case 2:
                    woke.waker = message.get_uint32();
                    break;
                case 5:
                    woke.flags = message.get_uint32();
                    break;
                default:
                    wakee(message.get_message(), woke);
            }
        }
        trace_.sched.push_back(std::move(event));
    }

    static void wakee(pbf_reader message, Waking& woke) {
        while (message.next()) {
            switch (message.tag()) {
                case 1:
                    woke.comm = message.get_string();
                    break;
                case 2:
                    woke.tid = message.get_int32();
                    break;
                case 5:
                    woke.target_cpu = message.get_int32();
                    break;
                default:
                    message.skip();
            }
        }
    }

    void interned(pbf_reader message) {
        while (message.next()) {
            const std::uint32_t kind = message.tag();
            pbf_reader entry = message.get_message();
            entry.next(1);
            const std::uint64_t iid = entry.get_uint64();
            entry.next(2);
            trace_.interned[kind][iid] = entry.get_string();
        }
    }

    void track(pbf_reader message) {
        std::uint64_t uuid = 0;
        Track track;
        while (message.next()) {
            if (message.tag() == 1) {
                uuid = message.get_uint64();
            } else if (message.tag() == 2) {
                track.name = message.get_string();
            } else {
                pbf_reader thread = message.get_message();
                thread.next(1);
                track.pid = thread.get_int32();
                thread.next(2);
                track.tid = thread.get_int32();
            }
        }
        ++trace_.tracks_told;
        const auto [place, added] = trace_.tracks.emplace(uuid, track);
        trace_.conflicting_tracks += added || place->second == track ? 0U : 1U;
    }

    void track_event(pbf_reader message, std::uint64_t ts) {
        TrackEvent event;
        event.ts = ts;
        while (message.next()) {
            switch (message.tag()) {
                case 4:
                    argument(message.get_message(), "", event.args);
                    break;
                case 9:
                    event.type = message.get_uint32();
                    break;
                case 10:
                    event.name = trace_.interned[2].at(message.get_uint64());
                    break;
                case 11:
                    event.track = message.get_uint64();
                    break;
                case 23:
                    event.name = message.get_string();
                    break;
                case 47:
                    event.flows.push_back(message.get_fixed64());
                    break;
                case 48:
                    event.ending_flows.push_back(message.get_fixed64());
                    break;
                default:
                    message.skip();
            }
        }
        trace_.events.push_back(std::move(event));
    }

    void argument(pbf_reader message, const std::string& prefix, Args& args) {
        std::string key;
        std::string value;
        while (message.next()) {
            switch (message.tag()) {
                case 1:
                    key = prefix + trace_.interned[3].at(message.get_uint64());
                    break;
                case 10:
                    key = prefix + message.get_string();
                    break;
                case 2:
                    value = message.get_bool() ? "true" : "false";
                    break;
                case 3:
                    value = std::to_string(message.get_uint64());
                    break;
                case 6:
                    value = message.get_string();
                    break;
                case 17:
                    value = trace_.interned[29].at(message.get_uint64());
                    break;
                default:
                    argument(message.get_message(), key + ".", args);
            }
        }
        args[key] = value;
    }

    Trace trace_;
};

}  // namespace rqs::perfetto_for_test
