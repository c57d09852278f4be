// SPDX-License-Identifier: BSD-2-Clause
#include "places.h"

#include <bpf/bpf.h>
#include <dirent.h>
#include <linux/magic.h>
#include <sys/mount.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/statfs.h>
#include <unistd.h>

#include <array>
#include <cstdlib>

#include "enrich/mounts.h"
#include "situation.h"
#include "util/procfs.h"

namespace rqs::ktest {
namespace {

bool is_bpf_file_system(const std::string& path) {
    struct statfs info {};
    return ::statfs(path.c_str(), &info) == 0 && info.f_type == BPF_FS_MAGIC;
}

}  // namespace

std::string cgroup2_mount() {
    const auto mount = find_cgroup_v2(read_mounts(util::Procfs()));
    return mount ? mount->point : std::string();
}

bool cpu_controller_is_v2() {
    return has_word(read_file(cgroup2_mount() + "/cgroup.controllers"), "cpu", " \n");
}

std::string cpu_controller_mount() {
    if (cpu_controller_is_v2()) {
        return cgroup2_mount();
    }
    const auto mount = find_cgroup_v1(read_mounts(util::Procfs()), "cpu");
    return mount ? mount->point : std::string();
}

Cgroup::Cgroup(std::string path) : path_(std::move(path)) {
    made_ = ::mkdir(path_.c_str(), 0755) == 0;
}

Cgroup::~Cgroup() {
    if (!made_) {
        return;
    }
    // A process that was just killed may take a moment to leave.
    wait_for([&] { return ::rmdir(path_.c_str()) == 0; }, 2'000'000'000);
}

std::uint64_t Cgroup::id() const {
    struct stat info {};
    return ::stat(path_.c_str(), &info) == 0 ? info.st_ino : 0;
}

bool Cgroup::add(pid_t pid) const {
    return write_file(path_ + "/cgroup.procs", std::to_string(pid));
}

bool Cgroup::set(const std::string& file, const std::string& value) const {
    return write_file(path_ + "/" + file, value);
}

std::string Cgroup::get(const std::string& file) const {
    return read_file(path_ + "/" + file);
}

std::string unique_name(const std::string& what) {
    static int count = 0;
    return "rqs-" + what + "-" + std::to_string(::getpid()) + "-" + std::to_string(++count);
}

PinnedMap::PinnedMap(std::uint32_t type, std::uint32_t key_bytes, std::uint32_t value_bytes) {
    // Before 5.11 maps count against it.
    const rlimit unlimited{RLIM_INFINITY, RLIM_INFINITY};
    (void)::setrlimit(RLIMIT_MEMLOCK, &unlimited);
    std::string folder = "/sys/fs/bpf";
    if (!is_bpf_file_system(folder)) {
        const char* temporary = std::getenv("TEST_TMPDIR");
        mount_ = std::string(temporary != nullptr ? temporary : "/tmp") + "/" + unique_name("bpf");
        folder = mount_;
        if (::mkdir(mount_.c_str(), 0700) != 0 ||
            ::mount("bpf", mount_.c_str(), "bpf", 0, nullptr) != 0) {
            return;
        }
    }
    path_ = folder + "/" + unique_name("map");
    fd_ = ::bpf_map_create(static_cast<bpf_map_type>(type), "rqs_test", key_bytes, value_bytes, 64,
                           nullptr);
    if (fd_ >= 0 && ::bpf_obj_pin(fd_, path_.c_str()) != 0) {
        ::close(fd_);
        fd_ = -1;
    }
}

PinnedMap::~PinnedMap() {
    if (fd_ >= 0) {
        ::close(fd_);
        ::unlink(path_.c_str());
    }
    if (!mount_.empty()) {
        ::umount(mount_.c_str());
        ::rmdir(mount_.c_str());
    }
}

bool PinnedMap::add(std::uint64_t id) const {
    const std::uint64_t value = 0;
    return ::bpf_map_update_elem(fd_, &id, &value, BPF_ANY) == 0;
}

bool PinnedMap::remove(std::uint64_t id) const {
    return ::bpf_map_delete_elem(fd_, &id) == 0;
}

}  // namespace rqs::ktest
