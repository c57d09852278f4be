// SPDX-License-Identifier: BSD-2-Clause
#include "import/trace_dat.h"

#include <fmt/format.h>
#include <zlib.h>
#include <zstd.h>

#include <algorithm>
#include <charconv>
#include <utility>

namespace rqs::import {
namespace {

using Kind = SchedEvent::Kind;

constexpr std::size_t mark_bytes = tracing_mark.size();
constexpr std::size_t most_head_bytes = std::size_t{64} << 20;
constexpr std::size_t most_chunk_bytes = std::size_t{64} << 20;
constexpr std::size_t most_page_bytes = std::size_t{1} << 20;
constexpr std::uint32_t most_cpus = 8192;

// enum of trace-cmd's options.
constexpr std::uint16_t option_done = 0;
constexpr std::uint16_t option_buffer = 3;
constexpr std::uint16_t option_uname = 5;
constexpr std::uint16_t option_version = 9;
constexpr std::uint16_t option_header = 16;
constexpr std::uint16_t option_formats = 18;
constexpr std::uint16_t option_comms = 21;
constexpr std::uint16_t option_tgids = 23;

std::string text_in(ByteView body) {
    const std::string_view text = Cursor::view(body);
    return std::string(text.substr(0, text.find('\0')));
}

/// Lines of a tid and its process.
void read_pids(std::string_view lines, std::unordered_map<std::uint32_t, std::uint32_t>& pids) {
    constexpr std::size_t most = 1U << 20;
    each_line(lines, [&](std::string_view line) {
        std::uint32_t tid = 0;
        std::uint32_t pid = 0;
        const char* const last = line.data() + line.size();
        const auto first = std::from_chars(line.data(), last, tid);
        if (first.ec == std::errc{} && first.ptr != last &&
            std::from_chars(first.ptr + 1, last, pid).ec == std::errc{}) {
            pids[tid] = pid;
        }
        return pids.size() < most;
    });
}

}  // namespace

Result<std::unique_ptr<ForeignFile>> TraceDat::open(ByteSource source) {
    std::unique_ptr<TraceDat> file(new TraceDat(std::move(source)));
    file->info_.format = "trace.dat";
    file->info_.tool = "trace-cmd";
    Status opened = fail("a trace.dat cannot be read from a pipe; give the file");
    if (file->source_.size()) {
        const Bytes first = file->source_.read_at(mark_bytes, 2);
        opened = first.size() == 2 && first[0] == '6'   ? file->open_six()
                 : first.size() == 2 && first[0] == '7' ? file->open_seven()
                                                        : fail(
                                                              "only versions 6 and 7 of trace.dat "
                                                              "can be read; 'trace-cmd convert' "
                                                              "makes one");
    }
    opened = opened ? file->begin() : opened;
    if (!opened) {
        return fail(fmt::format("{}: {}", file->source_.name(), opened.error().message));
    }
    return std::unique_ptr<ForeignFile>(std::move(file));
}

Status TraceDat::open_six() {
    constexpr std::size_t word_bytes = 10;
    const Bytes head = source_.read_at(0, most_head_bytes);
    Cursor cursor(head);
    auto data = read_tracing_data(cursor);
    if (!data) {
        return tl::unexpected(data.error());
    }
    tracing_ = std::move(*data);
    const std::uint32_t cpus = cursor.u32();
    std::string_view word = cursor.text(word_bytes);
    if (word.substr(0, 7) == "options") {
        for (std::uint16_t id = cursor.u16(); id != option_done && !cursor.failed();
             id = cursor.u16()) {
            const ByteView body = cursor.bytes(cursor.u32());
            // In this version a buffer is another one, beside the main one.
            if (id != option_buffer) {
                take_option(id, body);
            }
        }
        word = cursor.text(word_bytes);
    }
    if (word.substr(0, 9) != "flyrecord" || cursor.failed() || cpus > most_cpus) {
        return fail("it has no buffers of CPUs; 'trace-cmd record' makes such a file");
    }
    for (std::uint32_t number = 0; number < cpus; ++number) {
        Cpu& cpu = cpus_.emplace_back();
        cpu.number = number;
        cpu.at = cursor.u64();
        cpu.left_bytes = cursor.u64();
    }
    return cursor.failed() ? fail("it is cut at its start") : Status{};
}

Status TraceDat::open_seven() {
    constexpr std::size_t most_start_bytes = 4096;
    const Bytes start = source_.read_at(0, most_start_bytes);
    Cursor cursor(start);
    (void)cursor.bytes(mark_bytes);
    (void)cursor.text();
    if (auto machine = read_machine(cursor, tracing_); !machine) {
        return machine;
    }
    const std::string_view packing = cursor.text();
    (void)cursor.text();
    const std::uint64_t options_at = cursor.u64();
    if (cursor.failed() || (packing != "none" && packing != "zstd" && packing != "zlib")) {
        return fail("it is compressed in a way that is not known here, or damaged at its start");
    }
    packing_ = packing == "zstd"   ? Packing::zstd
               : packing == "zlib" ? Packing::zlib
                                   : Packing::none;
    return read_options_seven(options_at);
}

// Options come in sections of which each says where the next one is.
Status TraceDat::read_options_seven(std::uint64_t offset) {
    constexpr int most_sections = 64;
    for (int i = 0; i < most_sections && offset != 0; ++i) {
        std::uint16_t section_id = 0;
        const auto body = section(offset, section_id);
        if (!body) {
            return fail("its options cannot be read: its recorder was killed, or it is damaged");
        }
        Cursor cursor(*body);
        offset = 0;
        while (!cursor.ended()) {
            const std::uint16_t id = cursor.u16();
            const ByteView option = cursor.bytes(cursor.u32());
            if (id == option_done) {
                Cursor next(option);
                offset = next.u64();
                break;
            }
            if (id == option_header || id == option_formats || id == option_comms) {
                Cursor place(option);
                take_section(place.u64());
            } else {
                take_option(id, option);
            }
        }
    }
    return {};
}

/// What a section has, unpacked.
std::optional<TraceDat::Bytes> TraceDat::section(std::uint64_t offset, std::uint16_t& id) const {
    constexpr std::size_t header_bytes = 16;
    constexpr std::uint16_t flag_packed = 1;
    const Bytes header = source_.read_at(offset, header_bytes);
    Cursor cursor(header);
    id = cursor.u16();
    const std::uint16_t flags = cursor.u16();
    (void)cursor.u32();
    const std::uint64_t bytes = cursor.u64();
    if (cursor.failed() || bytes > most_head_bytes) {
        return std::nullopt;
    }
    Bytes body = source_.read_at(offset + header_bytes, static_cast<std::size_t>(bytes));
    if (body.size() != bytes) {
        return std::nullopt;
    }
    if ((flags & flag_packed) == 0) {
        return body;
    }
    Cursor packed(body);
    const std::uint32_t packed_bytes = packed.u32();
    const std::uint32_t unpacked_bytes = packed.u32();
    return unpacked(packed.bytes(packed_bytes), unpacked_bytes);
}

std::optional<TraceDat::Bytes> TraceDat::unpacked(ByteView packed, std::size_t bytes) const {
    if (bytes > most_chunk_bytes) {
        return std::nullopt;
    }
    Bytes out(bytes);
    if (packing_ == Packing::zstd) {
        const std::size_t got =
            ZSTD_decompress(out.data(), out.size(), packed.data(), packed.size());
        return ZSTD_isError(got) == 0 && got == bytes ? std::optional(std::move(out))
                                                      : std::nullopt;
    }
    uLongf got = out.size();
    const bool whole = packing_ == Packing::zlib &&
                       ::uncompress(out.data(), &got, packed.data(), packed.size()) == Z_OK &&
                       got == bytes;
    return whole ? std::optional(std::move(out)) : std::nullopt;
}

void TraceDat::take_section(std::uint64_t offset) {
    std::uint16_t id = 0;
    const auto body = section(offset, id);
    if (!body) {
        note_damage(fmt::format("{}: a part of its start cannot be read", source_.name()));
        return;
    }
    Cursor cursor(*body);
    if (id == option_formats) {
        read_systems(cursor, tracing_.formats);
    } else if (id == option_comms) {
        read_comms(cursor.text(cursor.u64()), tracing_.comms);
    }
}

void TraceDat::take_option(std::uint16_t id, ByteView body) {
    if (id == option_buffer) {
        take_buffer(body);
    } else if (id == option_version) {
        info_.tool = "trace-cmd " + text_in(body);
    } else if (id == option_tgids) {
        read_pids(Cursor::view(body), pids_);
    } else if (id == option_uname) {
        // As uname -a prints it: system, host, kernel, and the machine near the end.
        const std::string text = text_in(body);
        const std::size_t host = text.find(' ');
        const std::size_t kernel = text.find(' ', std::min(host, text.size() - 1) + 1);
        if (host < kernel && kernel < text.size()) {
            info_.host = text.substr(host + 1, kernel - host - 1);
            info_.kernel = text.substr(kernel + 1, text.find(' ', kernel + 1) - kernel - 1);
            info_.machine = text.substr(text.rfind(' ') + 1);
        }
    }
}

/// The first buffer is the main one: others are of other instances, or have other clocks.
void TraceDat::take_buffer(ByteView body) {
    Cursor cursor(body);
    const std::uint64_t offset = cursor.u64();
    (void)cursor.text();
    (void)cursor.text();
    const std::uint32_t page_bytes = cursor.u32();
    const std::uint32_t cpus = cursor.u32();
    if (!cpus_.empty() || cpus > most_cpus) {
        return;
    }
    constexpr std::uint16_t flag_packed = 1;
    const Bytes header = source_.read_at(offset, 4);
    Cursor flags(header);
    (void)flags.u16();
    const bool packed = (flags.u16() & flag_packed) != 0;
    tracing_.page_bytes = page_bytes;
    for (std::uint32_t i = 0; i < cpus && !cursor.failed(); ++i) {
        Cpu cpu;
        cpu.number = cursor.u32();
        cpu.at = cursor.u64();
        cpu.left_bytes = cursor.u64();
        if (packed && cpu.left_bytes > 0) {
            const Bytes count = source_.read_at(cpu.at, 4);
            cpu.chunks = Cursor(count).u32();
            cpu.at += 4;
            cpu.left_bytes = 0;
        }
        if (cpu.number < most_cpus) {
            cpus_.push_back(std::move(cpu));
        }
    }
}

Status TraceDat::begin() {
    if (!tracing_.formats.has_switches()) {
        return fail("it has no sched_switch; record it with 'trace-cmd record -e sched'");
    }
    if (tracing_.page_bytes < 32 || tracing_.page_bytes > most_page_bytes) {
        return fail("the size of its pages makes no sense");
    }
    for (const Cpu& cpu : cpus_) {
        note_last(cpu);
    }
    for (std::size_t i = 0; i < cpus_.size(); ++i) {
        info_.cpus = std::max(info_.cpus, cpus_[i].number + 1);
        if (next_event(cpus_[i])) {
            queue_.emplace(cpus_[i].event->ts_ns, i);
        }
    }
    return {};
}

std::optional<TraceDat::Bytes> TraceDat::last_chunk(const Cpu& cpu) const {
    std::uint64_t at = cpu.at;
    for (std::uint32_t i = 0; i < cpu.chunks; ++i) {
        const Bytes sizes = source_.read_at(at, 8);
        Cursor cursor(sizes);
        const std::uint32_t packed_bytes = cursor.u32();
        const std::uint32_t bytes = cursor.u32();
        if (cursor.failed() || packed_bytes > most_chunk_bytes) {
            break;
        }
        if (i + 1 == cpu.chunks) {
            return unpacked(source_.read_at(at + 8, packed_bytes), bytes);
        }
        at += std::uint64_t{8} + packed_bytes;
    }
    return std::nullopt;
}

/// When its last page begins: what the file's own date is of.
void TraceDat::note_last(const Cpu& cpu) {
    const std::size_t bytes = tracing_.page_bytes;
    Bytes pages;
    if (cpu.left_bytes >= bytes) {
        pages = source_.read_at(cpu.at + cpu.left_bytes - bytes, bytes);
    } else if (auto chunk = last_chunk(cpu); chunk && chunk->size() >= bytes) {
        pages.assign(chunk->end() - static_cast<std::ptrdiff_t>(bytes), chunk->end());
    }
    if (!pages.empty()) {
        info_.last_ns = std::max(info_.last_ns.value_or(0), Cursor(pages).u64());
    }
}

/// Some more pages of a CPU whose pages are compressed.
bool TraceDat::next_chunk(Cpu& cpu) {
    if (cpu.chunks == 0) {
        return false;
    }
    --cpu.chunks;
    const Bytes sizes = source_.read_at(cpu.at, 8);
    Cursor cursor(sizes);
    const std::uint32_t packed_bytes = cursor.u32();
    const std::uint32_t bytes = cursor.u32();
    auto pages = cursor.failed() || packed_bytes > most_chunk_bytes
                     ? std::nullopt
                     : unpacked(source_.read_at(cpu.at + 8, packed_bytes), bytes);
    if (!pages) {
        note_damage(fmt::format("{}: what CPU {} did cannot be read to its end", source_.name(),
                                cpu.number));
        cpu.chunks = 0;
        return false;
    }
    cpu.at += std::uint64_t{8} + packed_bytes;
    cpu.pages = std::move(*pages);
    cpu.pages_at = 0;
    return true;
}

bool TraceDat::next_page(Cpu& cpu) {
    const std::size_t bytes = tracing_.page_bytes;
    if (cpu.pages_at + bytes > cpu.pages.size()) {
        if (cpu.left_bytes >= bytes) {
            cpu.pages = source_.read_at(cpu.at, bytes);
            cpu.pages_at = 0;
            cpu.at += bytes;
            cpu.left_bytes -= bytes;
        } else if (!next_chunk(cpu)) {
            return false;
        }
    }
    if (cpu.pages_at + bytes > cpu.pages.size() ||
        !cpu.page.load(ByteView(cpu.pages).subspan(cpu.pages_at, bytes), tracing_.long_bytes)) {
        note_damage(fmt::format("{}: what CPU {} did cannot be read to its end", source_.name(),
                                cpu.number));
        cpu.left_bytes = cpu.chunks = 0;
        cpu.pages.clear();
        return false;
    }
    cpu.pages_at += bytes;
    cpu.told_missed = !cpu.page.missed();
    return true;
}

bool TraceDat::next_event(Cpu& cpu) {
    while (true) {
        cpu.event = cpu.page.next();
        if (cpu.event) {
            return true;
        }
        if (!next_page(cpu)) {
            return false;
        }
    }
}

/// Which threads are of which process, where the recorder was asked to keep that.
void TraceDat::tell_names(EventTaker& taker) {
    for (const auto& [tid, pid] : pids_) {
        SchedEvent event;
        event.kind = Kind::named;
        event.cpu = SchedEvent::any_cpu;
        event.tid = tid;
        event.pid = pid;
        const auto comm = tracing_.comms.find(tid);
        event.comm = comm == tracing_.comms.end() ? Comm{} : comm->second;
        taker.take(event);
    }
    told_names_ = true;
}

Result<bool> TraceDat::read_some(EventTaker& taker) {
    if (!told_names_) {
        tell_names(taker);
    }
    constexpr int events_a_time = 4096;
    for (int i = 0; i < events_a_time && !queue_.empty(); ++i) {
        const auto [ts_ns, which] = queue_.top();
        queue_.pop();
        Cpu& cpu = cpus_[which];
        if (!cpu.told_missed) {
            SchedEvent lost;
            lost.kind = Kind::lost;
            lost.cpu = cpu.number;
            lost.ts_ns = ts_ns;
            lost.lost = std::max<std::uint64_t>(cpu.page.missed_events(), 1);
            cpu.told_missed = true;
            taker.take(lost);
        }
        SchedEvent event = tracing_.formats.read(cpu.event->raw);
        if (event.kind != Kind::none) {
            event.ts_ns = ts_ns;
            event.cpu = cpu.number;
            const auto pid_of = [this](std::uint32_t tid) {
                const auto found = pids_.find(tid);
                return found == pids_.end() ? 0 : found->second;
            };
            event.pid = pid_of(event.tid);
            event.by_pid = pid_of(event.by_tid);
            taker.take(event);
        }
        if (next_event(cpu)) {
            queue_.emplace(cpu.event->ts_ns, which);
        }
    }
    return !queue_.empty();
}

}  // namespace rqs::import
