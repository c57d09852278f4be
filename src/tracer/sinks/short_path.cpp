// SPDX-License-Identifier: BSD-2-Clause
#include "sinks/short_path.h"

#include <algorithm>
#include <array>
#include <optional>
#include <utility>
#include <vector>

#include "sinks/columns.h"
#include "util/safe_text.h"

namespace rqs::sinks {
namespace {

/// A path in its directories. `front` stands before the first one: "/", "" or "~/".
struct Path {
    std::string front;
    std::vector<std::string> names;
};

bool starts_with(std::string_view text, std::string_view start) {
    return text.substr(0, start.size()) == start;
}

bool ends_with(std::string_view text, std::string_view end) {
    return text.size() >= end.size() && text.substr(text.size() - end.size()) == end;
}

bool is_hex(char c) {
    return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F');
}

Path split(std::string_view text) {
    Path path;
    if (starts_with(text, "/")) {
        path.front = "/";
        text.remove_prefix(1);
    }
    while (!text.empty()) {
        const std::size_t slash = text.find('/');
        path.names.emplace_back(text.substr(0, slash));
        text.remove_prefix(slash == std::string_view::npos ? text.size() : slash + 1);
    }
    return path;
}

std::string join(const Path& path) {
    std::string text = path.front;
    for (std::size_t i = 0; i < path.names.size(); ++i) {
        text += i > 0 ? "/" : "";
        text += path.names[i];
    }
    return text;
}

// ---------------------------------------------------------------------------- ids

/// How many hex digits `text` starts with.
std::size_t hex_digits(std::string_view text) {
    const auto end = std::find_if_not(text.begin(), text.end(), is_hex);
    return static_cast<std::size_t>(end - text.begin());
}

/// The length of the uuid that `text` starts with, 0 where there is none. systemd's names of slices
/// have `_` in place of `-`, which is theirs.
std::size_t uuid_length(std::string_view text) {
    constexpr std::array<std::size_t, 5> groups{8, 4, 4, 4, 12};
    std::size_t at = 0;
    for (const std::size_t digits : groups) {
        if (at > 0 && (at >= text.size() || (text[at] != '-' && text[at] != '_'))) {
            return 0;
        }
        at += at > 0 ? 1U : 0U;
        if (hex_digits(text.substr(std::min(at, text.size()))) != digits) {
            return 0;
        }
        at += digits;
    }
    return at;
}

/// What an id is shortened to: `keep` of its `length` characters. {0, 0}: no id starts here.
struct Cut {
    std::size_t length = 0;
    std::size_t keep = 0;
};

Cut id_at(std::string_view text) {
    constexpr std::size_t least_hash = 32;
    if (const std::size_t length = uuid_length(text); length > 0) {
        return {length, 8};
    }
    const std::size_t digits = hex_digits(text);
    return digits >= least_hash ? Cut{digits, 12} : Cut{};
}

/// The `d` of `pod` is a hex digit, but not the first of the uid behind it.
bool is_pod(std::string_view text) {
    return starts_with(text, "pod") && id_at(text.substr(3)).length > 0;
}

/// A scope around a container's id says nothing that the id does not.
std::string with_short_ids(std::string_view name) {
    std::string text;
    bool hash = false;
    for (std::size_t at = 0; at < name.size();) {
        if (is_pod(name.substr(at))) {
            text += "pod";
            at += 3;
        }
        const Cut id = id_at(name.substr(at));
        const std::size_t digits = hex_digits(name.substr(at));
        const std::size_t length = std::max({id.length, digits, std::size_t{1}});
        text += name.substr(at, id.length > 0 ? id.keep : length);
        hash = hash || id.length > 0;
        at += length;
    }
    if (hash && ends_with(text, ".scope")) {
        text.resize(text.size() - 6);
    }
    return text;
}

void shorten_ids(Path& path) {
    for (std::string& name : path.names) {
        name = with_short_ids(name);
    }
}

// ---------------------------------------------------------------------------- slices and pods

/// "SLICE:RUNTIME:ID" is meant for systemd. Where containerd hands it to a runtime that makes its
/// cgroups itself, it is one directory's name.
void split_colons(Path& path) {
    std::vector<std::string> names;
    for (std::string& name : path.names) {
        const std::size_t first = name.find(".slice:");
        const std::size_t second = name.rfind(':');
        const std::size_t colon = first + 6;
        if (first == std::string::npos || second == colon) {
            names.push_back(std::move(name));
            continue;
        }
        names.push_back(name.substr(0, colon));
        names.push_back(name.substr(colon + 1, second - colon - 1) + "-" + name.substr(second + 1));
    }
    path.names = std::move(names);
}

/// A slice lies in the slice that its name starts with: systemd.slice(5).
bool repeats(const std::string& child, const std::string& parent) {
    constexpr std::string_view slice = ".slice";
    return ends_with(parent, slice) && ends_with(child, slice) &&
           starts_with(child, parent.substr(0, parent.size() - slice.size()) + "-");
}

void fold_slices(Path& path) {
    std::vector<std::string> names;
    for (std::string& name : path.names) {
        if (!names.empty() && repeats(name, names.back())) {
            names.pop_back();
        }
        names.push_back(std::move(name));
    }
    path.names = std::move(names);
}

/// "pod0123abcd" of "kubepods-burstable-pod0123abcd.slice" (the uid is short by now).
std::optional<std::string> pod_of(std::string_view name) {
    constexpr std::string_view slice = ".slice";
    const std::size_t end = name.size() - (ends_with(name, slice) ? slice.size() : 0);
    const std::size_t dash = name.rfind('-', end);
    name = name.substr(0, end).substr(dash == std::string_view::npos ? 0 : dash + 1);
    const std::size_t digits = starts_with(name, "pod") ? hex_digits(name.substr(3)) : 0;
    const bool uid = (digits == 8 || digits == 12) && name.size() == 3 + digits;
    return uid ? std::optional<std::string>(name) : std::nullopt;
}

std::string_view without_runtime(std::string_view name) {
    for (const std::string_view runtime :
         {"docker-", "cri-containerd-", "crio-", "libpod-", "nerdctl-"}) {
        if (starts_with(name, runtime) && name.size() > runtime.size()) {
            return name.substr(runtime.size());
        }
    }
    return name;
}

void fold_pods(Path& path) {
    for (std::size_t i = path.names.size(); i-- > 0;) {
        const auto pod = pod_of(path.names[i]);
        if (!pod) {
            continue;
        }
        path.names.erase(path.names.begin(), path.names.begin() + static_cast<std::ptrdiff_t>(i));
        path.front = "~/";
        path.names[0] = *pod;
        for (std::string& name : path.names) {
            name = without_runtime(name);
        }
        return;
    }
}

// ---------------------------------------------------------------------------- the end

std::string_view without_suffix(std::string_view name) {
    for (const std::string_view suffix : {".service", ".scope", ".slice", ".socket", ".mount"}) {
        if (ends_with(name, suffix) && name.size() > suffix.size()) {
            return name.substr(0, name.size() - suffix.size());
        }
    }
    return name;
}

/// The last directory, whatever it takes.
std::string cut_last(const std::string& front, const std::string& last, std::size_t width) {
    const std::string_view bare = without_runtime(last);
    for (const std::string_view name : {std::string_view(last), bare, without_suffix(bare)}) {
        if (display_columns(front) + display_columns(name) <= width) {
            return front + std::string(name);
        }
    }
    std::string text;
    if (width > 0) {
        append_left(text, front + std::string(without_suffix(bare)), width);
        text.resize(text.find_last_not_of(' ') + 1);
    }
    return text;
}

std::string keep_end(const Path& path, std::size_t width) {
    constexpr std::string_view rest = "~/";
    std::string kept;
    for (std::size_t i = path.names.size(); i-- > 1;) {
        std::string longer = path.names[i] + (kept.empty() ? "" : "/") + kept;
        if (rest.size() + display_columns(longer) > width) {
            break;
        }
        kept = std::move(longer);
    }
    if (!kept.empty()) {
        return std::string(rest) + kept;
    }
    return cut_last(path.names.size() > 1 ? std::string(rest) : path.front,
                    path.names.empty() ? "" : path.names.back(), width);
}

}  // namespace

std::string short_cgroup_path(std::string_view path, std::size_t width) {
    std::string text = util::printable(path);
    Path parts = split(text);
    for (const auto step : {shorten_ids, split_colons, fold_slices, fold_pods}) {
        if (display_columns(text) <= width) {
            return text;
        }
        step(parts);
        text = join(parts);
    }
    return display_columns(text) <= width ? text : keep_end(parts, width);
}

}  // namespace rqs::sinks
