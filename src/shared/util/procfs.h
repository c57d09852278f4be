// SPDX-License-Identifier: BSD-2-Clause
// /proc behind a thin interface: a test gives a directory of its own as the root.
#pragma once

#include <dirent.h>

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace rqs::util {

/// The fields of /proc/PID/stat that are read here.
struct ProcStat {
    std::string comm;
    char state = '?';
    std::uint32_t ppid = 0;
    std::uint64_t start_ticks = 0;  ///< after boot, in units of sysconf(_SC_CLK_TCK)
};

/// Reads a line of /proc/PID/stat; the name in it may hold anything, even ") R 1".
std::optional<ProcStat> parse_proc_stat(std::string_view text);

/// The three numbers of a schedstat file.
struct SchedStat {
    std::uint64_t run_ns = 0;
    std::uint64_t wait_ns = 0;
    std::uint64_t slices = 0;  ///< times switched in
};

std::optional<SchedStat> parse_schedstat(std::string_view text);

/// One numeric entry of a directory. `inode` changes when a thread id is given to a new thread:
/// the kernel makes a new inode then.
struct IdEntry {
    std::uint32_t id = 0;
    std::uint64_t inode = 0;
};

/// Paths are relative to the root and have no leading slash.
class Procfs {
  public:
    explicit Procfs(std::string root = "/proc");

    [[nodiscard]] const std::string& root() const { return root_; }
    [[nodiscard]] std::string path(std::string_view relative) const;

    /// The whole file; nothing where it cannot be read (`errno` says why).
    [[nodiscard]] std::optional<std::string> read(std::string_view relative) const;
    /// Where a symbolic link leads; nothing where there is none.
    [[nodiscard]] std::optional<std::string> read_link(std::string_view relative) const;
    [[nodiscard]] bool exists(std::string_view relative) const;

    /// The rest of the line of `file` that begins with "`key`:", trimmed.
    [[nodiscard]] std::optional<std::string> field(std::string_view file,
                                                   std::string_view key) const;

    /// The process that a thread belongs to; nothing where there is no such thread.
    [[nodiscard]] std::optional<std::uint32_t> process_of(std::uint32_t tid) const;
    /// This process by the id that it has here, which is not getpid()'s where the files are another
    /// pid namespace's; nothing where it does not show.
    [[nodiscard]] std::optional<std::uint32_t> own_process() const;
    [[nodiscard]] std::optional<ProcStat> stat(std::uint32_t tid) const;

  private:
    std::string root_;
};

/// An open directory with files to read below it, for reading many without building long paths.
class ProcDir {
  public:
    /// Check valid() afterwards; `errno` says why not.
    explicit ProcDir(const std::string& path);
    /// Below another directory.
    ProcDir(const ProcDir& parent, const char* relative);

    [[nodiscard]] bool valid() const { return dir_ != nullptr; }

    /// Puts every entry whose name is a number into `ids` (cleared first), in the kernel's order.
    void list_ids(std::vector<IdEntry>& ids);

    /// Reads up to `buffer.size()` bytes of a small file into `buffer` and returns what was read;
    /// nothing where that fails.
    std::optional<std::string_view> read(const char* relative, std::string& buffer) const;

  private:
    struct Closer {
        void operator()(DIR* dir) const { ::closedir(dir); }
    };
    std::unique_ptr<DIR, Closer> dir_;
};

}  // namespace rqs::util
