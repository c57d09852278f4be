// SPDX-License-Identifier: BSD-2-Clause
#include "enrich/cgroup_tree.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <linux/magic.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstddef>
#include <cstring>
#include <sstream>
#include <utility>

#include "util/fd.h"
#include "util/procfs.h"

namespace rqs {
namespace {

namespace fs = std::filesystem;

constexpr std::uint64_t refresh_ns = 1'000'000'000;  // quotas are changed, v1 cgroups renamed
constexpr std::uint64_t walk_pause_ns = 1'000'000'000;

std::optional<std::uint64_t> inode_of(const fs::path& path) {
    struct stat info {};
    return ::stat(path.c_str(), &info) == 0 ? std::optional<std::uint64_t>(info.st_ino)
                                            : std::nullopt;
}

bool is_cgroup_mount(const std::string& point) {
    struct statfs info {};
    return ::statfs(point.c_str(), &info) == 0 &&
           (info.f_type == CGROUP2_SUPER_MAGIC || info.f_type == CGROUP_SUPER_MAGIC);
}

/// Opens a cgroup by its id and asks where that is. Empty: there is none of that id. Nothing: that
/// is not for us to ask.
std::optional<std::string> path_by_handle(const std::string& mount_point, std::uint64_t id) {
    // A kernfs node's file handle is its id: 33c5ac917519 "kernfs: implement custom exportfs ops
    // and fid type" (5.5).
    constexpr int fileid_kernfs = 0xfe;
    constexpr std::string_view removed = " (deleted)";
    alignas(file_handle) std::array<char, sizeof(file_handle) + sizeof id> memory{};
    auto* const handle = reinterpret_cast<file_handle*>(memory.data());
    handle->handle_bytes = sizeof id;
    handle->handle_type = fileid_kernfs;
    std::memcpy(memory.data() + offsetof(file_handle, f_handle), &id, sizeof id);

    const util::Fd mount(::open(mount_point.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
    const util::Fd group(::open_by_handle_at(mount.get(), handle, O_PATH | O_CLOEXEC));
    if (!group.valid()) {
        return errno == ESTALE ? std::optional<std::string>("") : std::nullopt;
    }
    auto path = util::Procfs().read_link(fmt::format("self/fd/{}", group.get()));
    if (path && path->size() > removed.size() &&
        path->compare(path->size() - removed.size(), removed.size(), removed) == 0) {
        path = "";
    }
    return path;
}

struct Quota {
    std::uint64_t quota_us = 0;
    std::uint64_t period_us = 0;
};

/// "max 100000" or "50000 100000"; v1 has the two in files of their own, and -1 for none.
std::optional<Quota> parse_quota(const std::string& text) {
    std::istringstream words(text);
    std::string first;
    Quota quota;
    if (!(words >> first >> quota.period_us) || first == "max" || first[0] == '-' ||
        quota.period_us == 0) {
        return std::nullopt;
    }
    std::istringstream number(first);
    return number >> quota.quota_us ? std::optional(quota) : std::nullopt;
}

std::optional<Quota> read_quota(const std::string& directory, QuotaFiles files) {
    const util::Procfs group(directory);
    if (files == QuotaFiles::v2) {
        return parse_quota(group.read("cpu.max").value_or(""));
    }
    return parse_quota(group.read("cpu.cfs_quota_us").value_or("") + " " +
                       group.read("cpu.cfs_period_us").value_or(""));
}

/// The root of a v2 hierarchy has none.
std::optional<std::uint64_t> read_weight(const std::string& directory, QuotaFiles files) {
    const util::Procfs group(directory);
    std::istringstream text(
        group.read(files == QuotaFiles::v2 ? "cpu.weight" : "cpu.shares").value_or(""));
    std::uint64_t weight = 0;
    return text >> weight ? std::optional(weight) : std::nullopt;
}

bool is_tighter(const Quota& quota, const CgroupInfo& than) {
    return !than.quota_us ||
           static_cast<double>(quota.quota_us) * static_cast<double>(than.period_us) <
               static_cast<double>(*than.quota_us) * static_cast<double>(quota.period_us);
}

/// "/a" of "/a/b", "/" of "/a", nothing of "/".
std::optional<std::string> parent_of(const std::string& path) {
    if (path == "/") {
        return std::nullopt;
    }
    const std::size_t slash = path.rfind('/');
    return slash == 0 || slash == std::string::npos ? "/" : path.substr(0, slash);
}

}  // namespace

CgroupTree::CgroupTree(std::string mount_point, QuotaFiles quotas, std::size_t capacity,
                       std::size_t walk_limit)
    : mount_point_(std::move(mount_point)),
      quotas_(quotas),
      cache_(capacity),
      walk_limit_(walk_limit),
      handles_work_(is_cgroup_mount(mount_point_)) {}

const CgroupInfo* CgroupTree::look_up(std::uint64_t id, ReadBudget& budget) {
    Entry* entry = cache_.find(id);
    const std::uint64_t now_ns = budget.now_ns();
    const bool fresh = entry != nullptr && entry->read_ns && now_ns - *entry->read_ns < refresh_ns;
    if (!fresh && !budget.spent() && !mount_point_.empty()) {
        entry = entry != nullptr ? entry : cache_.add(id);
        if (find_path(id, *entry, budget)) {
            read_limits(entry->info, budget);
        }
        entry->read_ns = now_ns;
    }
    // What a walk met is not handed out before its quota was read.
    const bool found = entry != nullptr && entry->read_ns && !entry->info.path.empty();
    return found ? &entry->info : nullptr;
}

/// False: not found now. Its last path and quota stay, since what it did may still be on the way.
bool CgroupTree::find_path(std::uint64_t id, Entry& entry, ReadBudget& budget) {
    budget.spend(1);
    entry.info.id = id;
    if (handles_work_) {
        if (const auto path = path_by_handle(mount_point_, id)) {
            entry.info.path = path->empty() ? entry.info.path : below_mount(*path);
            return !path->empty();
        }
        handles_work_ = false;
    }
    if (entry.info.path.empty() || inode_of(directory(entry.info.path)) != id) {
        walk(budget.now_ns());
    }
    return !entry.info.path.empty() && inode_of(directory(entry.info.path)) == id;
}

void CgroupTree::walk(std::uint64_t now_ns) {
    if (now_ns < next_walk_ns_) {
        return;
    }
    next_walk_ns_ = now_ns + walk_pause_ns;
    std::size_t directories = 0;
    const bool went_on = walk_ != Walk();
    if (walk_on(directories) && went_on) {
        (void)walk_on(directories);  // around once: what is new may lie before the old place
    }
}

/// True: reached the end. False: enough for this time.
bool CgroupTree::walk_on(std::size_t& directories) {
    std::error_code error;
    if (walk_ == Walk()) {
        note(mount_point_);
        walk_ = Walk(mount_point_, fs::directory_options::skip_permission_denied, error);
    }
    while (!error && walk_ != Walk() && directories < walk_limit_) {
        std::error_code gone;
        if (walk_->is_directory(gone) && !gone) {
            note(walk_->path());
            ++directories;
        }
        walk_.increment(error);
    }
    if (error) {
        walk_ = Walk();  // a directory vanished under the walk: from the start, next time
    }
    return walk_ == Walk();
}

void CgroupTree::note(const fs::path& directory) {
    const auto inode = inode_of(directory);
    if (!inode) {
        return;
    }
    Entry* entry = cache_.peek(*inode);
    entry = entry != nullptr ? entry : cache_.add_unused(*inode);
    if (entry != nullptr) {
        entry->info.id = *inode;
        entry->info.path = below_mount(directory.string());
    }
}

// An ancestor's quota binds at least as tightly as one's own where it is the smaller share. What
// lies above the mount point, outside of a container's cgroup namespace, is not to be seen.
void CgroupTree::read_limits(CgroupInfo& info, ReadBudget& budget) const {
    info.quota_us.reset();
    info.weight.reset();
    if (quotas_ == QuotaFiles::none || inode_of(directory(info.path)) != info.id) {
        return;  // in no case another's, of the same path below the mount point
    }
    budget.spend(1);
    info.weight = read_weight(directory(info.path), quotas_);
    for (std::optional<std::string> path = info.path; path; path = parent_of(*path)) {
        budget.spend(quotas_ == QuotaFiles::v2 ? 1 : 2);
        const auto quota = read_quota(directory(*path), quotas_);
        if (quota && is_tighter(*quota, info)) {
            info.quota_us = quota->quota_us;
            info.period_us = quota->period_us;
            info.quota_path = *path;
        }
    }
    if (info.quota_us) {
        info.quota_cgroup_id = inode_of(directory(info.quota_path)).value_or(0);
    }
}

// A handle may lead out of what is mounted here; such a path is the whole hierarchy's.
std::string CgroupTree::below_mount(std::string_view path) const {
    const std::string_view rest = path.substr(std::min(mount_point_.size(), path.size()));
    const bool below = path.size() - rest.size() == mount_point_.size() &&
                       path.substr(0, mount_point_.size()) == mount_point_ &&
                       (rest.empty() || rest[0] == '/');
    return std::string(!below ? path : rest.empty() ? "/" : rest);
}

std::string CgroupTree::directory(std::string_view path) const {
    return mount_point_ + std::string(path);
}

}  // namespace rqs
