// SPDX-License-Identifier: BSD-2-Clause
// What the user asked for, checked as far as words alone can be checked.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace rqs {

enum class SourceKind { automatic, bpf, schedstat, synthetic };
enum class Format { text, json, csv };
enum class GroupBy { process, cgroup };

struct Filters {
    std::vector<std::uint32_t> pids;  ///< any of them
    std::vector<std::uint32_t> tids;  ///< any of them; and with pids both must hold
    std::string comm_prefix;          ///< at most 15 bytes; empty is off
    std::string cgroup_path;
    std::string cgroup_map;
    std::string mntns_map;
    std::vector<std::uint32_t> cpus;  ///< empty is all
};

struct Options {
    std::uint64_t min_us = 10000;
    Filters filters;
    SourceKind source = SourceKind::automatic;
    Format format = Format::text;
    bool previous = false;  ///< -P
    bool wide = false;      ///< -w
    bool why = false;       ///< -W
    bool summary = false;   ///< -s
    bool stuck = false;
    bool waker = false;
    bool verbose = false;
    GroupBy by = GroupBy::process;
    std::optional<double> duration_s;           ///< -d
    std::optional<std::uint64_t> count;         ///< -n
    std::optional<double> interval_s;           ///< --interval
    std::uint32_t history = 64;                 ///< switches remembered per CPU, a power of two
    std::optional<std::uint64_t> buffer_bytes;  ///< --buffer: ring bytes per CPU, a power of two
    std::vector<std::string> command;           ///< after --
};

}  // namespace rqs
