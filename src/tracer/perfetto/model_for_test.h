// SPDX-License-Identifier: BSD-2-Clause
// What Perfetto makes of a trace: states of threads, slices, flows. Written from its behaviour.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "perfetto/trace_for_test.h"

namespace rqs::perfetto_for_test {

/// In order of time; what happens at one moment in the order in which it was written.
template <typename Event>
std::vector<Event> sorted(std::vector<Event> events) {
    std::stable_sort(events.begin(), events.end(),
                     [](const Event& a, const Event& b) { return a.ts < b.ts; });
    return events;
}

/// Numbers of states mean something else before Linux 4.14, and a kernel that is not told is old.
inline std::string state_name(std::int64_t raw, const Trace& trace) {
    const bool known = trace.sysname == "Linux" && !trace.release.empty() &&
                       trace.release.front() >= '0' && trace.release.front() <= '9';
    switch (raw) {
        case 0:
            return "R";
        case 1:
            return "S";
        case 2:
            return "D";
        case 4:
            return "T";
        case 16:
            return "X";
        case 256:
            return known ? "R+" : "W";
        default:
            return "?";
    }
}

/// One stretch in which a thread had a state. What did not end has no length.
struct State {
    std::uint64_t ts = 0;
    std::uint64_t dur = 0;
    std::int32_t tid = 0;
    std::string name;
    std::uint32_t waker = 0;
    bool open = true;
};

struct States {
    std::vector<State> all;
    std::size_t skipped_switches = 0;  // the first of each CPU
    std::size_t needless_wakings = 0;  // of threads that are not blocked

    [[nodiscard]] std::uint64_t sum(std::int32_t tid, const std::string& name) const {
        std::uint64_t ns = 0;
        for (const State& state : all) {
            ns += state.tid == tid && state.name == name ? state.dur : 0;
        }
        return ns;
    }
    [[nodiscard]] std::uint64_t waited(std::int32_t tid) const {
        return sum(tid, "R") + sum(tid, "R+");
    }
    /// `R 100-200`, of a thread, in order.
    [[nodiscard]] std::vector<std::string> of(std::int32_t tid) const {
        std::vector<std::string> texts;
        for (const State& state : all) {
            if (state.tid == tid) {
                texts.push_back(state.name + ' ' + std::to_string(state.ts) + '-' +
                                (state.open ? "" : std::to_string(state.ts + state.dur)));
            }
        }
        return texts;
    }
};

class StateModel {
  public:
    static States of(const Trace& trace) {
        StateModel model;
        for (const SchedEvent& event : sorted(trace.sched)) {
            if (event.switched) {
                model.add(event.ts, *event.switched, trace);
            } else {
                model.add(event.ts, *event.woke);
            }
        }
        return std::move(model.states_);
    }

  private:
    void add(std::uint64_t ts, const Switch& one, const Trace& trace) {
        const auto [last, first] = running_.emplace(one.cpu, one.next_tid);
        if (first) {
            ++states_.skipped_switches;
            return;
        }
        open(ts, last->second, state_name(one.prev_state, trace));
        open(ts, one.next_tid, "Running");
        last->second = one.next_tid;
    }
    void add(std::uint64_t ts, const Waking& woke) {
        const auto last = last_.find(woke.tid);
        if (last != last_.end() && (states_.all[last->second].name == "R" ||
                                    states_.all[last->second].name == "Running")) {
            ++states_.needless_wakings;
            return;
        }
        open(ts, woke.tid, "R");
        if (woke.tid != 0) {
            states_.all.back().waker = woke.waker;
        }
    }
    void open(std::uint64_t ts, std::int32_t tid, const std::string& name) {
        if (tid == 0) {
            return;
        }
        if (const auto last = last_.find(tid); last != last_.end()) {
            State& state = states_.all[last->second];
            state.dur = ts - state.ts;
            state.open = false;
        }
        last_[tid] = states_.all.size();
        states_.all.push_back({ts, 0, tid, name});
    }

    States states_;
    std::map<std::uint32_t, std::int32_t> running_;
    std::map<std::int32_t, std::size_t> last_;
};

struct Slice {
    std::uint64_t ts = 0;
    std::uint64_t dur = 0;
    std::uint64_t track = 0;
    std::size_t depth = 0;
    std::string name;
    Args args;
    bool open = true;
};
struct Flow {
    std::size_t from = 0;  // index of a slice
    std::size_t to = 0;
};
struct Slices {
    std::vector<Slice> all;
    std::vector<Flow> flows;
    std::size_t ends_of_nothing = 0;
    std::size_t flows_of_nothing = 0;
    std::size_t unfinished = 0;  // slices and flows

    /// Those of a name that begins so.
    [[nodiscard]] std::vector<Slice> named(const std::string& prefix) const {
        std::vector<Slice> found;
        std::copy_if(all.begin(), all.end(), std::back_inserter(found),
                     [&](const Slice& slice) { return slice.name.rfind(prefix, 0) == 0; });
        return found;
    }
};

/// What the ledger of a wait sums to.
inline std::uint64_t ledger_ns(const Args& args) {
    std::uint64_t ns = 0;
    for (const auto& [key, value] : args) {
        ns += key.rfind("ledger.", 0) == 0 ? std::stoull(value) : 0;
    }
    return ns;
}

class SliceModel {
  public:
    static Slices of(const Trace& trace) {
        SliceModel model;
        for (const TrackEvent& event : sorted(trace.events)) {
            model.add(event);
        }
        for (const auto& [track, stack] : model.stacks_) {
            model.slices_.unfinished += stack.size();
        }
        model.slices_.unfinished += model.flows_.size();
        return std::move(model.slices_);
    }

  private:
    void add(const TrackEvent& event) {
        auto& stack = stacks_[event.track];
        if (event.type == 2) {
            if (stack.empty()) {
                ++slices_.ends_of_nothing;
                return;
            }
            Slice& slice = slices_.all[stack.back()];
            slice.dur = event.ts - slice.ts;
            slice.open = false;
            stack.pop_back();
            return;
        }
        const std::size_t index = slices_.all.size();
        slices_.all.push_back(
            {event.ts, 0, event.track, stack.size(), event.name, event.args, event.type == 1});
        if (event.type == 1) {
            stack.push_back(index);
        }
        for (const std::uint64_t flow : event.flows) {
            flows_[flow] = index;
        }
        for (const std::uint64_t flow : event.ending_flows) {
            join(flow, index);
        }
    }
    // An end before its beginning is none; the earlier slice is where the arrow comes from.
    void join(std::uint64_t flow, std::size_t index) {
        const auto begun = flows_.find(flow);
        if (begun == flows_.end()) {
            ++slices_.flows_of_nothing;
            return;
        }
        const bool in_order = slices_.all[begun->second].ts <= slices_.all[index].ts;
        slices_.flows.push_back(in_order ? Flow{begun->second, index} : Flow{index, begun->second});
        flows_.erase(begun);
    }

    Slices slices_;
    std::map<std::uint64_t, std::vector<std::size_t>> stacks_;
    std::map<std::uint64_t, std::size_t> flows_;
};

}  // namespace rqs::perfetto_for_test
