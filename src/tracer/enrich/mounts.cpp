// SPDX-License-Identifier: BSD-2-Clause
#include "enrich/mounts.h"

#include <cstddef>
#include <sstream>

namespace rqs {
namespace {

bool is_octal(char c) {
    return c >= '0' && c <= '7';
}

/// The kernel writes blanks and backslashes of a path as `\` and three octal digits.
std::string decode(std::string_view field) {
    constexpr std::size_t digits = 3;
    std::string path;
    for (std::size_t i = 0; i < field.size(); ++i) {
        const std::string_view code = field.substr(i + 1, digits);
        if (field[i] != '\\' || code.size() < digits || !is_octal(code[0]) || !is_octal(code[1]) ||
            !is_octal(code[2])) {
            path += field[i];
            continue;
        }
        path += static_cast<char>((code[0] - '0') * 64 + (code[1] - '0') * 8 + (code[2] - '0'));
        i += digits;
    }
    return path;
}

// id parent major:minor ROOT POINT options [optional...] - TYPE source SUPER
std::optional<Mount> parse_line(const std::string& line) {
    std::istringstream fields(line);
    std::string skipped;
    Mount mount;
    fields >> skipped >> skipped >> skipped >> mount.root >> mount.point;
    while (fields >> skipped && skipped != "-") {
    }
    std::string source;
    if (!(fields >> mount.type >> source >> mount.super_options)) {
        return std::nullopt;
    }
    mount.root = decode(mount.root);
    mount.point = decode(mount.point);
    return mount;
}

/// Containers often see a part of a hierarchy bound to a second place.
template <typename Wanted>
std::optional<Mount> find_whole(const std::vector<Mount>& mounts, const Wanted& wanted) {
    std::optional<Mount> found;
    for (const Mount& mount : mounts) {
        if (wanted(mount) && (!found || (found->root != "/" && mount.root == "/"))) {
            found = mount;
        }
    }
    return found;
}

}  // namespace

std::vector<Mount> parse_mountinfo(std::string_view text) {
    std::vector<Mount> mounts;
    std::istringstream lines{std::string(text)};
    for (std::string line; std::getline(lines, line);) {
        if (auto mount = parse_line(line)) {
            mounts.push_back(std::move(*mount));
        }
    }
    return mounts;
}

std::vector<Mount> read_mounts(const util::Procfs& procfs) {
    return parse_mountinfo(procfs.read("self/mountinfo").value_or(""));
}

std::optional<Mount> find_cgroup_v2(const std::vector<Mount>& mounts) {
    return find_whole(mounts, [](const Mount& mount) { return mount.type == "cgroup2"; });
}

std::optional<Mount> find_cgroup_v1(const std::vector<Mount>& mounts, std::string_view controller) {
    return find_whole(mounts, [controller](const Mount& mount) {
        return mount.type == "cgroup" && has_word(mount.super_options, controller, ",");
    });
}

bool has_word(std::string_view text, std::string_view word, std::string_view separators) {
    while (!text.empty()) {
        const std::size_t end = text.find_first_of(separators);
        if (text.substr(0, end) == word) {
            return true;
        }
        text.remove_prefix(end == std::string_view::npos ? text.size() : end + 1);
    }
    return false;
}

}  // namespace rqs
