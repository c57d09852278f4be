// SPDX-License-Identifier: BSD-2-Clause
#include "util/procfs.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <charconv>
#include <climits>
#include <cstddef>
#include <system_error>
#include <utility>

#include "util/fd.h"
#include "util/read_to_end.h"
#include "util/text.h"

namespace rqs::util {
namespace {

constexpr std::string_view blanks = " \t\n";

/// Takes the next word off the front of `text`; empty at its end.
std::string_view next_word(std::string_view& text) {
    const std::size_t begin = text.find_first_not_of(blanks);
    if (begin == std::string_view::npos) {
        text = {};
        return {};
    }
    const std::size_t end = text.find_first_of(blanks, begin);
    const std::string_view word =
        text.substr(begin, end == std::string_view::npos ? end : end - begin);
    text.remove_prefix(end == std::string_view::npos ? text.size() : end);
    return word;
}

template <typename T>
std::optional<T> number(std::string_view word) {
    T value = 0;
    const char* end = word.data() + word.size();
    const auto result = std::from_chars(word.data(), end, value);
    if (result.ec != std::errc{} || result.ptr != end) {
        return std::nullopt;
    }
    return value;
}

}  // namespace

std::optional<ProcStat> parse_proc_stat(std::string_view text) {
    // Fields as in proc(5): 2 is (comm), 3 the state, 4 ppid, 22 starttime.
    const std::size_t open = text.find('(');
    const std::size_t close = text.rfind(')');
    if (open == std::string_view::npos || close == std::string_view::npos || close < open) {
        return std::nullopt;
    }
    ProcStat stat;
    stat.comm = text.substr(open + 1, close - open - 1);
    text.remove_prefix(close + 1);
    const std::string_view state = next_word(text);
    const auto ppid = number<std::uint32_t>(next_word(text));
    constexpr int fields_between = 17;
    for (int i = 0; i < fields_between; ++i) {
        next_word(text);
    }
    const auto start = number<std::uint64_t>(next_word(text));
    if (state.size() != 1 || !ppid || !start) {
        return std::nullopt;
    }
    stat.state = state[0];
    stat.ppid = *ppid;
    stat.start_ticks = *start;
    return stat;
}

std::optional<SchedStat> parse_schedstat(std::string_view text) {
    const auto run = number<std::uint64_t>(next_word(text));
    const auto wait = number<std::uint64_t>(next_word(text));
    const auto slices = number<std::uint64_t>(next_word(text));
    if (!run || !wait || !slices) {
        return std::nullopt;
    }
    return SchedStat{*run, *wait, *slices};
}

Procfs::Procfs(std::string root) : root_(std::move(root)) {}

std::string Procfs::path(std::string_view relative) const {
    return fmt::format("{}/{}", root_, relative);
}

std::optional<std::string> Procfs::read(std::string_view relative) const {
    const Fd file(::open(path(relative).c_str(), O_RDONLY | O_CLOEXEC));
    if (!file.valid()) {
        return std::nullopt;
    }
    return read_to_end(file.get());  // closing what was only read leaves errno alone
}

std::optional<std::string> Procfs::read_link(std::string_view relative) const {
    std::array<char, PATH_MAX> target{};
    const ssize_t size = ::readlink(path(relative).c_str(), target.data(), target.size());
    if (size < 0) {
        return std::nullopt;
    }
    return std::string(target.data(), static_cast<std::size_t>(size));
}

bool Procfs::exists(std::string_view relative) const {
    return ::access(path(relative).c_str(), F_OK) == 0;
}

std::optional<std::string> Procfs::field(std::string_view file, std::string_view key) const {
    const auto text = read(file);
    if (!text) {
        return std::nullopt;
    }
    std::string_view rest = *text;
    while (!rest.empty()) {
        const std::size_t newline = rest.find('\n');
        std::string_view line = rest.substr(0, newline);
        rest.remove_prefix(newline == std::string_view::npos ? rest.size() : newline + 1);
        if (line.size() > key.size() && line.compare(0, key.size(), key) == 0 &&
            line[key.size()] == ':') {
            line.remove_prefix(key.size() + 1);
            return std::string(trim(line, blanks));
        }
    }
    return std::nullopt;
}

std::optional<std::uint32_t> Procfs::process_of(std::uint32_t tid) const {
    const auto tgid = field(fmt::format("{}/status", tid), "Tgid");
    return tgid ? number<std::uint32_t>(*tgid) : std::nullopt;
}

std::optional<std::uint32_t> Procfs::own_process() const {
    const auto link = read_link("self");
    return link ? number<std::uint32_t>(*link) : std::nullopt;
}

std::optional<ProcStat> Procfs::stat(std::uint32_t tid) const {
    const auto text = read(fmt::format("{}/stat", tid));
    return text ? parse_proc_stat(*text) : std::nullopt;
}

ProcDir::ProcDir(const std::string& path) : dir_(::opendir(path.c_str())) {}

ProcDir::ProcDir(const ProcDir& parent, const char* relative) {
    Fd directory(
        ::openat(::dirfd(parent.dir_.get()), relative, O_RDONLY | O_DIRECTORY | O_CLOEXEC));
    if (!directory.valid()) {
        return;
    }
    dir_.reset(::fdopendir(directory.get()));
    if (dir_) {
        (void)directory.release();  // closedir() closes it
    }
}

void ProcDir::list_ids(std::vector<IdEntry>& ids) {
    ids.clear();
    ::rewinddir(dir_.get());
    while (const dirent* entry = ::readdir(dir_.get())) {
        const std::string_view name = static_cast<const char*>(entry->d_name);
        if (const auto id = number<std::uint32_t>(name)) {
            ids.push_back({*id, entry->d_ino});
        }
    }
}

std::optional<std::string_view> ProcDir::read(const char* relative, std::string& buffer) const {
    const Fd file(::openat(::dirfd(dir_.get()), relative, O_RDONLY | O_CLOEXEC));
    if (!file.valid()) {
        return std::nullopt;
    }
    const ssize_t got = ::read(file.get(), buffer.data(), buffer.size());
    if (got < 0) {
        return std::nullopt;
    }
    return std::string_view(buffer.data(), static_cast<std::size_t>(got));
}

}  // namespace rqs::util
