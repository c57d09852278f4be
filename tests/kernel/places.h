// SPDX-License-Identifier: BSD-2-Clause
// Places that tests make and take away again: cgroups, a BPF file system, pinned maps.
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <optional>
#include <string>

namespace rqs::ktest {

/// Where the cgroup v2 hierarchy is mounted, and the one that has the `cpu` controller (v1, or the
/// same); empty if not.
std::string cgroup2_mount();
std::string cpu_controller_mount();
bool cpu_controller_is_v2();

/// A cgroup directory that goes with the object; whoever is in it then moves to the parent.
class Cgroup {
  public:
    explicit Cgroup(std::string path);
    ~Cgroup();
    Cgroup(const Cgroup&) = delete;
    Cgroup& operator=(const Cgroup&) = delete;

    [[nodiscard]] bool made() const { return made_; }
    [[nodiscard]] const std::string& path() const { return path_; }
    /// The kernel's id of it: its inode.
    [[nodiscard]] std::uint64_t id() const;
    /// 0: the caller.
    [[nodiscard]] bool add(pid_t pid) const;
    [[nodiscard]] bool set(const std::string& file, const std::string& value) const;
    [[nodiscard]] std::string get(const std::string& file) const;

  private:
    std::string path_;
    bool made_ = false;
};

/// A name for something of this run.
std::string unique_name(const std::string& what);

/// A hash map pinned below /sys/fs/bpf (or a BPF file system of our own where there is none).
class PinnedMap {
  public:
    PinnedMap(std::uint32_t type, std::uint32_t key_bytes, std::uint32_t value_bytes);
    ~PinnedMap();
    PinnedMap(const PinnedMap&) = delete;
    PinnedMap& operator=(const PinnedMap&) = delete;

    [[nodiscard]] bool made() const { return fd_ >= 0; }
    [[nodiscard]] const std::string& path() const { return path_; }
    [[nodiscard]] bool add(std::uint64_t id) const;
    [[nodiscard]] bool remove(std::uint64_t id) const;

  private:
    int fd_ = -1;
    std::string path_;
    std::string mount_;
};

}  // namespace rqs::ktest
