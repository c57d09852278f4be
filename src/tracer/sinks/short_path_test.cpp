// SPDX-License-Identifier: BSD-2-Clause
#include "sinks/short_path.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "sinks/columns.h"

namespace rqs::sinks {
namespace {

const std::string hash = "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef";
const std::string uid = "1a2b3c4d-5e6f-4a0b-8c1d-2e3f4a5b6c7d";
const std::string slice_uid = "1a2b3c4d_5e6f_4a0b_8c1d_2e3f4a5b6c7d";
const std::string static_uid = "9f8e7d6c5b4a39281706f5e4d3c2b1a0";  // of a pod from a file

struct Case {
    std::string path;
    std::size_t width;
    std::string expected;
};

const std::vector<Case>& cases() {
    static const std::string burstable =
        "/kubepods.slice/kubepods-burstable.slice/kubepods-burstable-pod" + slice_uid + ".slice";
    static const std::string user = "/user.slice/user-1000.slice/user@1000.service";
    static const std::vector<Case> all{
        // What fits stays whole.
        {"/", 20, "/"},
        {"/system.slice/cron.service", 26, "/system.slice/cron.service"},
        {"cgroup:4242", 20, "cgroup:4242"},
        {"/docker/" + hash, 72, "/docker/" + hash},
        // docker: cgroupfs and systemd driver, and with a cgroup of its own below
        {"/docker/" + hash, 40, "/docker/0123456789ab"},
        {"/docker/" + hash, 20, "/docker/0123456789ab"},
        {"/docker/" + hash, 19, "~/0123456789ab"},
        {"/system.slice/docker-" + hash + ".scope", 60, "/system.slice/docker-0123456789ab"},
        {"/system.slice/docker-" + hash + ".scope", 30, "~/docker-0123456789ab"},
        {"/system.slice/docker-" + hash + ".scope", 20, "~/0123456789ab"},
        {"/system.slice/docker-" + hash + ".scope/init", 40,
         "/system.slice/docker-0123456789ab/init"},
        // podman: as root, its monitor, in a pod, of a user
        {"/machine.slice/libpod-" + hash + ".scope/container", 50,
         "/machine.slice/libpod-0123456789ab/container"},
        {"/machine.slice/libpod-" + hash + ".scope/container", 40,
         "~/libpod-0123456789ab/container"},
        {"/machine.slice/libpod-conmon-" + hash + ".scope", 28, "~/libpod-conmon-0123456789ab"},
        {"/machine.slice/libpod-conmon-" + hash + ".scope", 24, "~/conmon-0123456789ab"},
        {"/machine.slice/machine-libpod_pod_" + hash + ".slice/libpod-" + hash + ".scope", 60,
         "/machine-libpod_pod_0123456789ab.slice/libpod-0123456789ab"},
        {user + "/user.slice/libpod-" + hash + ".scope/container", 60,
         "~/user@1000.service/user.slice/libpod-0123456789ab/container"},
        // containerd by itself
        {"/system.slice/nerdctl-" + hash + ".scope", 40, "/system.slice/nerdctl-0123456789ab"},
        {"/default/" + hash, 40, "/default/0123456789ab"},
        // Kubernetes: systemd driver with containerd and cri-o, guaranteed and static pods
        {burstable + "/cri-containerd-" + hash + ".scope", 60, "~/pod1a2b3c4d/0123456789ab"},
        {burstable + "/cri-containerd-" + hash + ".scope", 26, "~/pod1a2b3c4d/0123456789ab"},
        {burstable + "/cri-containerd-" + hash + ".scope", 25, "~/0123456789ab"},
        {burstable + "/crio-" + hash + ".scope", 40, "~/pod1a2b3c4d/0123456789ab"},
        {burstable + "/crio-conmon-" + hash + ".scope", 40, "~/pod1a2b3c4d/conmon-0123456789ab"},
        {burstable, 50, "/kubepods-burstable-pod1a2b3c4d.slice"},
        {burstable, 20, "~/pod1a2b3c4d"},
        {"/kubepods.slice/kubepods-pod" + slice_uid + ".slice/crio-" + hash + ".scope/container",
         40, "~/pod1a2b3c4d/0123456789ab/container"},
        {"/kubepods.slice/kubepods-pod" + static_uid + ".slice/docker-" + hash + ".scope", 40,
         "~/pod9f8e7d6c5b4a/0123456789ab"},
        // cgroupfs driver, in k3s, and in kind: a pod within a container
        {"/kubepods/burstable/pod" + uid + "/" + hash, 60,
         "/kubepods/burstable/pod1a2b3c4d/0123456789ab"},
        {"/kubepods/burstable/pod" + uid + "/" + hash, 40, "~/pod1a2b3c4d/0123456789ab"},
        {"/system.slice/k3s.service/kubepods/besteffort/pod" + uid + "/" + hash, 60,
         "~/pod1a2b3c4d/0123456789ab"},
        {"/system.slice/docker-" + hash +
             ".scope/kubelet.slice/kubelet-kubepods.slice/kubelet-kubepods-pod" + slice_uid +
             ".slice/cri-containerd-" + hash + ".scope",
         60, "~/pod1a2b3c4d/0123456789ab"},
        {"/system.slice/containerd.service/kubepods-burstable-pod" + slice_uid +
             ".slice:cri-containerd:" + hash,
         60, "~/pod1a2b3c4d/0123456789ab"},
        // units and slices of systemd
        {"/system.slice/systemd-networkd.service", 30, "~/systemd-networkd.service"},
        {"/system.slice/systemd-networkd.service", 20, "~/systemd-networkd"},
        {"/system.slice/system-postgresql.slice/postgresql@15-main.service", 60,
         "/system-postgresql.slice/postgresql@15-main.service"},
        {"/system.slice/system-postgresql.slice/postgresql@15-main.service", 30,
         "~/postgresql@15-main.service"},
        {"/system.slice/run-r" + static_uid + ".scope", 40, "/system.slice/run-r9f8e7d6c5b4a"},
        {"/user.slice/user-1000.slice/session-3.scope", 40, "/user-1000.slice/session-3.scope"},
        {user + "/app.slice/app-gnome-firefox-12345.scope", 60,
         "~/user@1000.service/app.slice/app-gnome-firefox-12345.scope"},
        {user + "/app.slice/app-gnome-firefox-12345.scope", 32, "~/app-gnome-firefox-12345.scope"},
        {user + "/app.slice/app-gnome-firefox-12345.scope", 20, "~/app-gnome-firefox~"},
        // one directory only
        {"/a-single-name-that-is-far-too-long", 20, "/a-single-name-that~"},
    };
    return all;
}

TEST(ShortCgroupPath, RealPaths) {
    for (const Case& one : cases()) {
        EXPECT_EQ(short_cgroup_path(one.path, one.width), one.expected)
            << one.path << " in " << one.width;
    }
}

TEST(ShortCgroupPath, IsNeverWiderThanAsked) {
    std::vector<std::string> paths{"",
                                   "//",
                                   "///a//",
                                   std::string(5000, '/'),
                                   std::string(5000, 'a'),
                                   "/\xe6\x97\xa5\xe6\x9c\xac\xe8\xaa\x9e\xe6\x97\xa5\xe6\x9c\xac/"
                                   "\xe8\xaa\x9e\xf0\x9f\x90\x8c",
                                   "/\x1b[31mred\x1b[0m.service/\xff\xfe\x80" + hash,
                                   "/pod" + std::string(40, 'd') + ".slice",
                                   "/a.slice:b",
                                   "/a.slice:",
                                   "/.slice:x:y",
                                   "/docker-/.scope/.slice"};
    for (const Case& one : cases()) {
        paths.push_back(one.path);
    }
    for (const std::string& path : paths) {
        for (std::size_t width = 0; width <= 130; ++width) {
            const std::string text = short_cgroup_path(path, width);
            ASSERT_LE(display_columns(text), width) << path << ": " << text;
        }
    }
}

TEST(ShortCgroupPath, NoRawByteOfANameGoesOut) {
    EXPECT_EQ(short_cgroup_path("/a\x1b[2J\n", 40), "/a\\x1b[2J\\x0a");
    EXPECT_EQ(short_cgroup_path("/system.slice/\x1b]0;x\x07.service", 24),
              "~/\\x1b]0;x\\x07.service");
    EXPECT_EQ(short_cgroup_path("/system.slice/\x1b]0;x\x07.service", 16), "~/\\x1b]0;x\\x07");
}

}  // namespace
}  // namespace rqs::sinks
