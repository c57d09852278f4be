// SPDX-License-Identifier: BSD-2-Clause
#include "record/happenings.h"

#include <algorithm>
#include <optional>
#include <string>
#include <type_traits>
#include <vector>

#include "record/block.h"

namespace rqs::record {
namespace {

class FieldWriter {
  public:
    explicit FieldWriter(Bytes& out) : out_(out) {}

    template <typename Number>
    void number(const Number& value) {
        if constexpr (std::is_signed_v<Number>) {
            put_varint(out_, zigzag(value));
        } else {
            put_varint(out_, static_cast<std::uint64_t>(value));
        }
    }
    template <typename Enum>
    void word(const Enum& value, Enum /*last*/) {
        put_varint(out_, static_cast<std::uint64_t>(value));
    }
    void text(const std::string& text) {
        put_text(out_, std::string_view(text).substr(0, Limits::text));
    }
    void comm(const Comm& comm) { put_text(out_, comm.view()); }
    void words(const std::vector<std::uint64_t>& words) {
        const std::size_t count = std::min<std::size_t>(words.size(), Limits::cpus / 64);
        put_varint(out_, count);
        for (std::size_t i = 0; i < count; ++i) {
            put_varint(out_, words[i]);
        }
    }
    void maybe(const std::optional<std::uint64_t>& value) {
        number(value.has_value());
        number(value.value_or(0));
    }

  private:
    Bytes& out_;
};

/// Fields that lack stay as they are: an earlier version had not got them.
class FieldReader {
  public:
    FieldReader(ByteView fields, Reading& reading) : fields_(fields, reading), reading_(&reading) {}

    template <typename Number>
    void number(Number& value) {
        if (fields_.ended()) {
            return;
        }
        const std::uint64_t raw = get_varint(fields_, *reading_);
        if constexpr (std::is_signed_v<Number>) {
            value = static_cast<Number>(unzigzag(raw));
        } else {
            value = static_cast<Number>(raw);
        }
    }
    template <typename Enum>
    void word(Enum& value, Enum last) {
        auto raw = static_cast<std::uint64_t>(value);
        number(raw);
        if (raw > static_cast<std::uint64_t>(last)) {
            raw = static_cast<std::uint64_t>(last);  // a later version's, which is unknown here
        }
        value = static_cast<Enum>(raw);
    }
    void text(std::string& text) {
        if (!fields_.ended()) {
            text = get_text(fields_, *reading_, Limits::text);
        }
    }
    void comm(Comm& comm) {
        if (!fields_.ended()) {
            comm = Comm::from(get_text(fields_, *reading_, Limits::text));
        }
    }
    void words(std::vector<std::uint64_t>& words) {
        std::uint64_t count = 0;
        number(count);
        if (count > Limits::cpus / 64) {
            reading_->failed = true;
            return;
        }
        words.assign(count, 0);
        for (std::uint64_t& word : words) {
            number(word);
        }
    }
    void maybe(std::optional<std::uint64_t>& value) {
        bool there = false;
        std::uint64_t number_there = 0;
        number(there);
        number(number_there);
        value = there ? std::optional(number_there) : std::nullopt;
    }

  private:
    ByteReader fields_;
    Reading* reading_;
};

// What each kind is made of, in the order of the file. `F` writes or reads; `T` is const or not.

template <typename F, typename T>
void task_fields(F& f, T& task) {
    f.number(task.tid);
    f.number(task.pid);
    f.comm(task.comm);
}

template <typename F, typename T>
void fields(F& f, T& look, const ThrottleLook* /*tag*/) {
    f.number(look.cpu);
    f.number(look.group);
    f.number(look.found_ns);
    f.maybe(look.total_ns);
    f.number(look.ago_ns);
    f.number(look.since_ns);
}

template <typename F, typename T>
void fields(F& f, T& loss, const Loss* /*tag*/) {
    f.number(loss.cpu);
    f.number(loss.from_ns);
    f.number(loss.to_ns);
    f.number(loss.lost);
    f.word(loss.reason, LossReason::damage);
}

template <typename F, typename T>
void fields(F& f, T& reading, const ClockReading* /*tag*/) {
    f.number(reading.ts_ns);
    f.number(reading.realtime_offset_ns);
}

template <typename F, typename T>
void fields(F& f, T& info, const ProcessInfo* /*tag*/) {
    f.number(info.pid);
    f.comm(info.comm);
    f.number(info.ppid);
    f.comm(info.parent_comm);
}

template <typename F, typename T>
void fields(F& f, T& info, const CgroupInfo* /*tag*/) {
    f.number(info.id);
    f.text(info.path);
    f.maybe(info.quota_us);
    f.number(info.period_us);
    f.number(info.quota_cgroup_id);
    f.text(info.quota_path);
    f.number(info.of_v2);
    f.maybe(info.weight);
}

template <typename F, typename T>
void fields(F& f, T& stuck, const Stuck* /*tag*/) {
    f.number(stuck.ts_ns);
    f.number(stuck.waiting_ns);
    f.number(stuck.cpu);
    task_fields(f, stuck.task);
    task_fields(f, stuck.running);
    f.number(stuck.cgroup_id);
    f.number(stuck.sched_cgroup_id);
    f.number(stuck.prio);
    f.word(stuck.policy, Policy::unknown);
    f.word(stuck.kind, WaitKind::unknown);
    f.number(stuck.throttled);
    f.number(stuck.running_prio);
}

template <typename F, typename T>
void fields(F& f, T& fork, const Fork* /*tag*/) {
    f.number(fork.ts_ns);
    task_fields(f, fork.parent);
    task_fields(f, fork.child);
}

template <typename F, typename T>
void fields(F& f, T& exit, const Exit* /*tag*/) {
    f.number(exit.ts_ns);
    task_fields(f, exit.task);
}

template <typename F, typename T>
void fields(F& f, T& affinity, const Affinity* /*tag*/) {
    f.number(affinity.ts_ns);
    f.number(affinity.tid);
    f.words(affinity.cpus);
}

template <typename T>
void put(Bytes& out, std::uint64_t gap, Happening kind, const T& happened) {
    Bytes body;
    FieldWriter writer(body);
    fields(writer, happened, &happened);
    put_varint(out, gap);
    put_varint(out, static_cast<std::uint64_t>(kind));
    put_varint(out, body.size());
    out.insert(out.end(), body.begin(), body.end());
}

template <typename T>
T read(ByteView body, Reading& reading) {
    T happened;
    FieldReader reader(body, reading);
    fields(reader, happened, &happened);
    return happened;
}

/// State is kept for each CPU, so that its number must be one that the machine has.
template <typename T>
bool is_of_known_cpu(const T& happened, std::uint32_t cpus) {
    if constexpr (std::is_same_v<T, Loss>) {
        return happened.cpu < cpus || happened.cpu == Loss::any_cpu;
    } else if constexpr (requires { happened.cpu; }) {
        return happened.cpu < cpus;
    } else {
        return true;
    }
}

}  // namespace

void put_happening(Bytes& out, std::uint64_t gap, const ThrottleLook& look) {
    put(out, gap, Happening::throttle, look);
}
void put_happening(Bytes& out, std::uint64_t gap, const Loss& loss) {
    put(out, gap, Happening::loss, loss);
}
void put_happening(Bytes& out, std::uint64_t gap, const ClockReading& reading) {
    put(out, gap, Happening::clock, reading);
}
void put_happening(Bytes& out, std::uint64_t gap, const ProcessInfo& info) {
    put(out, gap, Happening::process, info);
}
void put_happening(Bytes& out, std::uint64_t gap, const CgroupInfo& info) {
    put(out, gap, Happening::cgroup, info);
}
void put_happening(Bytes& out, std::uint64_t gap, const Stuck& stuck) {
    put(out, gap, Happening::stuck, stuck);
}
void put_happening(Bytes& out, std::uint64_t gap, const Fork& fork) {
    put(out, gap, Happening::fork, fork);
}
void put_happening(Bytes& out, std::uint64_t gap, const Exit& exit) {
    put(out, gap, Happening::exit, exit);
}
void put_happening(Bytes& out, std::uint64_t gap, const Affinity& affinity) {
    put(out, gap, Happening::affinity, affinity);
}

void HappeningReader::look() {
    gap_ = bytes_.ended() ? UINT64_MAX : get_varint(bytes_, *reading_);
}

void HappeningReader::take(RecordHandler& handler) {
    const std::uint64_t kind = get_varint(bytes_, *reading_);
    const ByteView body = bytes_.take(get_varint(bytes_, *reading_));
    const auto on = [&]<typename T>(void (RecordHandler::*hand_on)(const T&)) {
        const T happened = read<T>(body, *reading_);
        reading_->failed = reading_->failed || !is_of_known_cpu(happened, cpus_);
        if (!reading_->failed) {
            (handler.*hand_on)(happened);
        }
    };
    switch (static_cast<Happening>(kind)) {
        case Happening::throttle:
            on(&RecordHandler::on_throttle);
            break;
        case Happening::loss:
            on(&RecordHandler::on_loss);
            break;
        case Happening::clock:
            on(&RecordHandler::on_clock);
            break;
        case Happening::process:
            on(&RecordHandler::on_process);
            break;
        case Happening::cgroup:
            on(&RecordHandler::on_cgroup);
            break;
        case Happening::stuck:
            on(&RecordHandler::on_stuck);
            break;
        case Happening::fork:
            on(&RecordHandler::on_fork);
            break;
        case Happening::exit:
            on(&RecordHandler::on_exit);
            break;
        case Happening::affinity:
            on(&RecordHandler::on_affinity);
            break;
        default:
            break;  // a later version's
    }
    look();
}

}  // namespace rqs::record
