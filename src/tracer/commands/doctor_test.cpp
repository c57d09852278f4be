// SPDX-License-Identifier: BSD-2-Clause
#include "commands/doctor.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cerrno>
#include <filesystem>
#include <fstream>
#include <string>

#include "util/folder_for_test.h"

namespace rqs {
namespace {

namespace fs = std::filesystem;

constexpr std::string_view nothing = "0000000000000000";
constexpr std::string_view everything = "000001ffffffffff";
constexpr std::string_view bpf_and_perfmon = "000000c000000000";
constexpr std::string_view bpf_only = "0000008000000000";

/// A healthy machine in a directory; each test breaks one thing.
class Doctor : public ::testing::Test {
  protected:
    Doctor() {
        patient_.procfs = util::Procfs(root_ / "proc");
        patient_.sys_root = root_ / "sys";
        put("sys/kernel/btf/vmlinux", std::string("x\0btf_trace_sched_switch\0y\0", 27));
        put("sys/kernel/security/lockdown", "none [integrity] confidentiality\n");
        put("proc/self/schedstat", "100 200 3\n");
        put("proc/1/schedstat", "100 200 3\n");
        put("proc/self/uid_map", "         0          0 4294967295\n");
        put("proc/sys/kernel/unprivileged_bpf_disabled", "2\n");
        put("cg/cgroup.controllers", "cpuset cpu io\n");
        put("proc/self/mountinfo",
            "30 25 0:26 / " + (root_ / "cg").string() + " rw shared:4 - cgroup2 cgroup2 rw,x\n");
        set_capabilities(everything);
        fs::create_directories(root_ / "proc/self/ns");
        fs::create_symlink("pid:[4026531836]", root_ / "proc/self/ns/pid");
        fs::create_symlink("time:[4026531834]", root_ / "proc/self/ns/time");
        patient_.kernel = "6.1.0 x86_64";
        patient_.try_ring = [this] { return ring_error_; };
        patient_.try_load = [this]() -> Status {
            return loads_ ? Status{} : fail("refused by the test");
        };
    }

    void put(const std::string& name, const std::string& text) const {
        fs::create_directories((root_ / name).parent_path());
        std::ofstream(root_ / name) << text;
    }
    void set_capabilities(std::string_view hex) const {
        put("proc/self/status", "Name:\tx\nCapEff:\t" + std::string(hex) + "\n");
    }
    Finding find(std::string_view subject) {
        const auto findings = examine(patient_);
        const auto found = std::find_if(findings.begin(), findings.end(),
                                        [&](const Finding& one) { return one.subject == subject; });
        EXPECT_NE(found, findings.end()) << subject;
        return found == findings.end() ? Finding{} : *found;
    }

    util::FolderForTest temporary_;
    fs::path root_ = temporary_.path();
    Patient patient_;
    int ring_error_ = 0;
    bool loads_ = true;
};

TEST_F(Doctor, HealthyMachineIsAllOk) {
    const auto findings = examine(patient_);
    for (const Finding& finding : findings) {
        EXPECT_EQ(finding.mark, Mark::ok) << finding.subject << ": " << finding.text;
        EXPECT_TRUE(finding.advice.empty()) << finding.subject;
    }
    std::string out;
    EXPECT_EQ(print_findings(findings, out), 0);
    EXPECT_NE(out.find("OK  kernel          6.1.0 x86_64\n"), std::string::npos) << out;
    EXPECT_NE(out.find("Live tracing works here"), std::string::npos);
}

TEST_F(Doctor, BtfAndHook) {
    put("sys/kernel/btf/vmlinux", "nothing of use, not even btf_trace_sched_switch_more");
    EXPECT_EQ(find("BTF").mark, Mark::ok);
    EXPECT_EQ(find("hook").mark, Mark::no);
    EXPECT_FALSE(find("hook").advice.empty());
    fs::remove(root_ / "sys/kernel/btf/vmlinux");
    EXPECT_EQ(find("BTF").mark, Mark::no);
    EXPECT_NE(find("BTF").advice.find("CONFIG_DEBUG_INFO_BTF"), std::string::npos);
    EXPECT_EQ(find("hook").mark, Mark::unknown);
}

TEST_F(Doctor, SchedInfo) {
    put("proc/self/schedstat", "0 0 0\n");
    EXPECT_EQ(find("SCHED_INFO").mark, Mark::no);
    EXPECT_NE(find("SCHED_INFO").advice.find("delayacct"), std::string::npos);
    fs::remove(root_ / "proc/self/schedstat");
    EXPECT_EQ(find("SCHED_INFO").mark, Mark::no);
    EXPECT_EQ(find("sampling").mark, Mark::no);
}

TEST_F(Doctor, WithoutProcNothingIsSaidOfTheKernel) {
    fs::remove_all(root_ / "proc");
    for (const char* subject : {"SCHED_INFO", "privileges", "cgroup v2"}) {
        EXPECT_EQ(find(subject).mark, Mark::unknown) << subject;
        EXPECT_NE(find(subject).text.find("is missing"), std::string::npos) << subject;
    }
    EXPECT_EQ(find("SCHED_INFO").advice, "mount -t proc proc " + (root_ / "proc").string());
    EXPECT_EQ(find("sampling").mark, Mark::no);
}

TEST_F(Doctor, Rings) {
    ring_error_ = EPERM;
    EXPECT_EQ(find("rings").mark, Mark::unknown);
    ring_error_ = EINVAL;
    EXPECT_EQ(find("rings").mark, Mark::no);
    EXPECT_FALSE(find("rings").advice.empty());
}

TEST_F(Doctor, Privileges) {
    set_capabilities(bpf_and_perfmon);
    EXPECT_EQ(find("privileges").mark, Mark::ok);
    set_capabilities(bpf_only);
    EXPECT_EQ(find("privileges").mark, Mark::no);
    EXPECT_EQ(find("privileges").text, "missing: cap_perfmon");
    set_capabilities(nothing);
    EXPECT_EQ(find("privileges").text, "missing: cap_bpf,cap_perfmon");
    for (const char* step : {"chgrp tracers", "chmod 750", "setcap cap_bpf,cap_perfmon=ep"}) {
        EXPECT_NE(find("privileges").advice.find(step), std::string::npos) << step;
    }
    set_capabilities(everything);
    put("proc/self/uid_map", "         0     100000      65536\n");
    EXPECT_EQ(find("privileges").mark, Mark::no);
    EXPECT_NE(find("privileges").text.find("user namespace"), std::string::npos);
}

TEST_F(Doctor, Cgroups) {
    put("proc/self/mountinfo",
        "31 25 0:27 / /sys/fs/cgroup/cpuset rw - cgroup cgroup rw,cpuset\n"
        "32 25 0:28 / /sys/fs/cgroup/cpu rw - cgroup cgroup rw,cpu,cpuacct\n");
    EXPECT_EQ(find("cgroup v2").mark, Mark::no);
    EXPECT_EQ(find("cpu controller").mark, Mark::ok);
    EXPECT_NE(find("cpu controller").text.find("v1, at /sys/fs/cgroup/cpu:"), std::string::npos);
    put("proc/self/mountinfo", "");
    EXPECT_EQ(find("cpu controller").mark, Mark::unknown);
}

TEST_F(Doctor, LockdownAndNamespaces) {
    put("sys/kernel/security/lockdown", "none integrity [confidentiality]\n");
    EXPECT_EQ(find("lockdown").mark, Mark::no);
    fs::remove(root_ / "sys/kernel/security/lockdown");
    EXPECT_EQ(find("lockdown").mark, Mark::unknown);
    fs::remove(root_ / "proc/self/ns/pid");
    fs::create_symlink("pid:[4026532999]", root_ / "proc/self/ns/pid");
    EXPECT_EQ(find("pid namespace").mark, Mark::unknown);
    EXPECT_FALSE(find("pid namespace").advice.empty());
    fs::remove(root_ / "proc/self/ns/time");
    fs::create_symlink("time:[4026532999]", root_ / "proc/self/ns/time");
    EXPECT_EQ(find("time namespace").mark, Mark::unknown);
    EXPECT_FALSE(find("time namespace").advice.empty());
    fs::remove_all(root_ / "proc/self/ns");
    EXPECT_EQ(find("time namespace").text, "cannot be told");
}

TEST_F(Doctor, MemoryLock) {
    patient_.memlock_bytes = 65536;
    EXPECT_EQ(find("memory lock").mark, Mark::ok);
    set_capabilities(bpf_and_perfmon);
    EXPECT_EQ(find("memory lock").mark, Mark::ok);
    ring_error_ = EPERM;
    EXPECT_EQ(find("memory lock").mark, Mark::unknown);
    EXPECT_NE(find("memory lock").advice.find("ulimit -l"), std::string::npos);
}

TEST_F(Doctor, ProofDecidesTheExitCode) {
    loads_ = false;
    std::string out;
    EXPECT_EQ(print_findings(examine(patient_), out), 1);
    EXPECT_NE(out.find("NO  live tracing    refused by the test\n"), std::string::npos) << out;
    EXPECT_NE(out.find("--source schedstat"), std::string::npos);
}

TEST(DoctorLive, SaysSomethingOnEverySubject) {
    std::string out;
    const int code = print_findings(examine_machine([] { return Status{}; }), out);
    EXPECT_EQ(code, 0);
    EXPECT_EQ(std::count(out.begin(), out.end(), '\x1b'), 0);
    EXPECT_GE(std::count(out.begin(), out.end(), '\n'), 15);
}

}  // namespace
}  // namespace rqs
