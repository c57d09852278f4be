// SPDX-License-Identifier: BSD-2-Clause
#include "commands/doctor.h"

#include <fmt/format.h>
#include <linux/bpf.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/utsname.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <charconv>
#include <cstddef>
#include <cstring>
#include <sstream>

#include "commands/print.h"
#include "enrich/mounts.h"
#include "enrich/namespaces.h"
#include "sources/bpf.h"
#include "util/safe_text.h"

namespace rqs {
namespace {

constexpr std::string_view subject_proof = "live tracing";
constexpr std::string_view subject_fallback = "sampling";

// Numbers as in <linux/capability.h>, whose headers on older systems lack the newer two.
constexpr unsigned cap_sys_admin = 21;
constexpr unsigned cap_sys_resource = 24;
constexpr unsigned cap_perfmon = 38;
constexpr unsigned cap_bpf = 39;

/// Whoever may run the program sees the names of other users' tasks, so the file is for a group.
/// cap_sys_nice may be added: the tool then reads its rings at a real-time priority.
constexpr std::string_view setcap_advice =
    "f=$(command -v runqslower); sudo chgrp tracers $f; sudo chmod 750 $f; "
    "sudo setcap cap_bpf,cap_perfmon=ep $f";

/// The effective capabilities; none where the file does not tell.
std::uint64_t capabilities(const util::Procfs& procfs) {
    const std::string text = procfs.field("self/status", "CapEff").value_or("");
    std::uint64_t set = 0;
    constexpr int hexadecimal = 16;
    std::from_chars(text.data(), text.data() + text.size(), set, hexadecimal);
    return set;
}

bool has(std::uint64_t set, unsigned capability) {
    return ((set >> capability) & 1U) != 0;
}

/// Root of a user namespace has capabilities that the kernel does not honour for BPF.
bool in_user_namespace(const util::Procfs& procfs) {
    std::istringstream map(procfs.read("self/uid_map").value_or("0 0 4294967295"));
    std::uint64_t inside = 0;
    std::uint64_t outside = 0;
    std::uint64_t count = 0;
    map >> inside >> outside >> count;
    constexpr std::uint64_t all_ids = 4294967295;
    return inside != 0 || outside != 0 || count != all_ids;
}

Finding check_kernel(const Patient& patient) {
    return {Mark::ok, "kernel", util::printable(patient.kernel), ""};
}

Finding check_btf(const Patient& patient) {
    const util::Procfs sys(patient.sys_root);
    const auto btf = sys.read("kernel/btf/vmlinux");
    if (!btf) {
        return {Mark::no, "BTF",
                "the kernel does not describe its types: no " + sys.path("kernel/btf/vmlinux"),
                "use a kernel built with CONFIG_DEBUG_INFO_BTF, as distributions' kernels are"};
    }
    return {Mark::ok, "BTF",
            fmt::format("the kernel describes its types ({} kB)", btf->size() / 1000), ""};
}

bool has_proc(const Patient& patient) {
    return patient.procfs.exists("self/status");
}

Finding untold(const Patient& patient, std::string_view subject) {
    return {Mark::unknown, subject,
            fmt::format("cannot be told: {} is missing", patient.procfs.root()), ""};
}

Finding check_sched_info(const Patient& patient) {
    constexpr std::string_view subject = "SCHED_INFO";
    if (!has_proc(patient)) {
        Finding finding = untold(patient, subject);
        finding.advice = fmt::format("mount -t proc proc {}", patient.procfs.root());
        return finding;
    }
    const auto text = patient.procfs.read("self/schedstat");
    const auto sums = text ? util::parse_schedstat(*text) : std::nullopt;
    if (!sums) {
        return {Mark::no, subject, "the kernel does not count waits: no /proc/self/schedstat",
                "use a kernel with CONFIG_SCHEDSTATS or CONFIG_TASK_DELAY_ACCT, as distributions' "
                "have"};
    }
    if (sums->slices == 0) {
        return {Mark::no, subject, "the kernel could count waits, but does not",
                "boot it with the parameter delayacct"};
    }
    return {Mark::ok, subject, "the kernel counts waits", ""};
}

Finding check_hook(const Patient& patient) {
    const auto btf = util::Procfs(patient.sys_root).read("kernel/btf/vmlinux");
    // With its closing NUL: a name in the string table, not a part of one.
    constexpr std::string_view name{"btf_trace_sched_switch\0", 23};
    if (!btf) {
        return {Mark::unknown, "hook", "cannot be told without BTF", ""};
    }
    if (btf->find(name) == std::string::npos) {
        return {Mark::no, "hook", "the kernel has no BTF tracepoint sched_switch",
                "use a kernel built with CONFIG_BPF_EVENTS"};
    }
    return {Mark::ok, "hook", "the BTF tracepoint sched_switch is there", ""};
}

Finding check_rings(const Patient& patient) {
    const int error = patient.try_ring();
    if (error == 0) {
        return {Mark::ok, "rings", "array maps can be mapped into this process", ""};
    }
    if (error == EPERM || error == EACCES) {
        return {Mark::unknown, "rings", "cannot be tried without privileges", ""};
    }
    return {Mark::no, "rings",
            fmt::format("array maps cannot be mapped into this process: {}", std::strerror(error)),
            "use a kernel that has BPF_F_MMAPABLE (it came with 5.5)"};
}

Finding check_cgroup_v2(const Patient& patient) {
    if (!has_proc(patient)) {
        return untold(patient, "cgroup v2");
    }
    if (const auto mount = find_cgroup_v2(read_mounts(patient.procfs))) {
        return {Mark::ok, "cgroup v2", "mounted at " + util::printable(mount->point), ""};
    }
    return {Mark::no, "cgroup v2", "not mounted: --cgroup and cgroups' names do not work",
            "mount -t cgroup2 none /sys/fs/cgroup/unified (or another empty directory)"};
}

Finding check_cpu_controller(const Patient& patient) {
    constexpr std::string_view subject = "cpu controller";
    const std::vector<Mount> mounts = read_mounts(patient.procfs);
    if (const auto v1 = find_cgroup_v1(mounts, "cpu")) {
        return {Mark::ok, subject,
                fmt::format("cgroup v1, at {}: quotas and siblings are looked up there",
                            util::printable(v1->point)),
                ""};
    }
    const auto v2 = find_cgroup_v2(mounts);
    const std::string controllers =
        v2 ? util::Procfs(v2->point).read("cgroup.controllers").value_or("") : "";
    if (has_word(controllers, "cpu", " \n")) {
        return {Mark::ok, subject, "cgroup v2", ""};
    }
    return {Mark::unknown, subject, "in no hierarchy that is mounted here", ""};
}

Finding check_privileges(const Patient& patient) {
    constexpr std::string_view subject = "privileges";
    if (!has_proc(patient)) {
        return untold(patient, subject);
    }
    const std::uint64_t set = capabilities(patient.procfs);
    const bool enough = has(set, cap_sys_admin) || (has(set, cap_bpf) && has(set, cap_perfmon));
    if (!enough) {
        std::string missing = has(set, cap_bpf) ? "" : "cap_bpf";
        missing += has(set, cap_perfmon) ? "" : missing.empty() ? "cap_perfmon" : ",cap_perfmon";
        return {Mark::no, subject, "missing: " + missing,
                "run as root (sudo), or let a group trace: " + std::string(setcap_advice)};
    }
    if (in_user_namespace(patient.procfs)) {
        return {Mark::no, subject,
                "the capabilities are those of a user namespace, and BPF needs real ones",
                "run outside of the container, or in one that is privileged"};
    }
    return {Mark::ok, subject,
            has(set, cap_sys_admin) ? "all that is needed" : "cap_bpf,cap_perfmon", ""};
}

/// Of interest only to those who have no privileges: with this open, some of BPF works for all.
Finding check_unprivileged_bpf(const Patient& patient) {
    const std::string value =
        patient.procfs.read("sys/kernel/unprivileged_bpf_disabled").value_or("?");
    return {Mark::ok, "bpf for all",
            value[0] == '0' ? "unprivileged users may load some programs, but not tracing ones"
                            : "closed to unprivileged users, as is usual",
            ""};
}

Finding check_lockdown(const Patient& patient) {
    const std::string text =
        util::Procfs(patient.sys_root).read("kernel/security/lockdown").value_or("");
    if (text.empty()) {
        return {Mark::unknown, "lockdown", "cannot be told: securityfs does not show it", ""};
    }
    if (text.find("[confidentiality]") != std::string::npos) {
        return {Mark::no, "lockdown", "confidentiality: no BPF program may read kernel memory",
                "boot with lockdown=integrity, or without Secure Boot"};
    }
    return {Mark::ok, "lockdown", "does not forbid reading kernel memory", ""};
}

Finding check_namespace(std::string_view subject, Namespace found, std::string_view meaning,
                        std::string_view advice) {
    switch (found) {
        case Namespace::initial:
            return {Mark::ok, subject, "the machine's own", ""};
        case Namespace::other:
            return {Mark::unknown, subject, std::string(meaning), std::string(advice)};
        case Namespace::unknown:
            break;
    }
    return {Mark::unknown, subject, "cannot be told", ""};
}

Finding check_pid_namespace(const Patient& patient) {
    return check_namespace("pid namespace", pid_namespace(patient.procfs),
                           "a container's own: the kernel's ids differ from those seen in here",
                           "run in the host's (docker run --pid=host, or outside)");
}

Finding check_time_namespace(const Patient& patient) {
    return check_namespace("time namespace", time_namespace(patient.procfs),
                           "a container's own: the kernel's clock differs from the one in here",
                           "run outside of the container");
}

Finding check_memlock(const Patient& patient) {
    constexpr std::string_view subject = "memory lock";
    if (!patient.memlock_bytes) {
        return {Mark::ok, subject, "unlimited", ""};
    }
    const std::string limit = fmt::format("limit is {} kB", *patient.memlock_bytes / 1024);
    if (has(capabilities(patient.procfs), cap_sys_resource)) {
        return {Mark::ok, subject, limit + ", and is lifted when tracing starts", ""};
    }
    if (patient.try_ring() == 0) {
        return {Mark::ok, subject, limit + ", enough for a ring", ""};
    }
    return {Mark::unknown, subject, limit + "; old kernels (before 5.11) count rings against it",
            "if making a ring fails: ulimit -l unlimited"};
}

Finding check_fallback(const Patient& patient) {
    if (!patient.procfs.exists("self/schedstat")) {
        return {Mark::no, subject_fallback, "--source schedstat has nothing to read here", ""};
    }
    const bool sees_others = patient.procfs.read("1/schedstat").has_value();
    return {Mark::ok, subject_fallback,
            sees_others ? "--source schedstat works, and sees all tasks"
                        : "--source schedstat works, but sees your own tasks only",
            ""};
}

Finding check_proof(const Patient& patient) {
    const Status status = patient.try_load();
    if (status) {
        return {Mark::ok, subject_proof, "the hook was loaded, attached and taken away again", ""};
    }
    return {Mark::no, subject_proof, status.error().message, ""};
}

/// Makes an array map as the tracer does and maps it. Without libbpf: this is to work where libbpf
/// gives up. Returns 0 or errno.
int try_ring() {
    bpf_attr attr{};
    attr.map_type = BPF_MAP_TYPE_ARRAY;
    attr.key_size = sizeof(std::uint32_t);
    attr.value_size = 1U << 16;
    attr.max_entries = 1;
    attr.map_flags = BPF_F_MMAPABLE;
    const auto fd = static_cast<int>(::syscall(SYS_bpf, BPF_MAP_CREATE, &attr, sizeof attr));
    if (fd < 0) {
        return errno;
    }
    void* memory = ::mmap(nullptr, attr.value_size, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    const int error = memory == MAP_FAILED ? errno : 0;
    if (error == 0) {
        ::munmap(memory, attr.value_size);
    }
    ::close(fd);
    return error;
}

std::optional<std::uint64_t> memlock_limit() {
    rlimit limit{};
    if (::getrlimit(RLIMIT_MEMLOCK, &limit) != 0 || limit.rlim_cur == RLIM_INFINITY) {
        return std::nullopt;
    }
    return limit.rlim_cur;
}

std::string kernel_name() {
    utsname name{};
    if (::uname(&name) != 0) {
        return "unknown";
    }
    return fmt::format("{} {}", static_cast<const char*>(name.release),
                       static_cast<const char*>(name.machine));
}

std::string_view mark_text(Mark mark) {
    switch (mark) {
        case Mark::ok:
            return "OK";
        case Mark::no:
            return "NO";
        case Mark::unknown:
            break;
    }
    return "??";
}

bool found_ok(const std::vector<Finding>& findings, std::string_view subject) {
    return std::any_of(findings.begin(), findings.end(), [&](const Finding& finding) {
        return finding.subject == subject && finding.mark == Mark::ok;
    });
}

}  // namespace

std::vector<Finding> examine(const Patient& patient) {
    using Check = Finding (*)(const Patient&);
    static constexpr std::array<Check, 14> checks{
        check_kernel,         check_btf,           check_sched_info,
        check_hook,           check_rings,         check_cgroup_v2,
        check_cpu_controller, check_privileges,    check_unprivileged_bpf,
        check_lockdown,       check_pid_namespace, check_time_namespace,
        check_memlock,        check_fallback};
    std::vector<Finding> findings;
    findings.reserve(checks.size() + 1);
    for (const Check check : checks) {
        findings.push_back(check(patient));
    }
    findings.push_back(check_proof(patient));
    return findings;
}

int print_findings(const std::vector<Finding>& findings, std::string& out) {
    constexpr std::size_t column = 20;
    for (const Finding& finding : findings) {
        out +=
            fmt::format("{}  {:<14}  {}\n", mark_text(finding.mark), finding.subject, finding.text);
        if (!finding.advice.empty()) {
            out += fmt::format("{:{}}-> {}\n", "", column, finding.advice);
        }
    }
    if (found_ok(findings, subject_proof)) {
        out += "\nLive tracing works here: every wait can be seen.\n";
        return static_cast<int>(ExitCode::ok);
    }
    out += found_ok(findings, subject_fallback)
               ? "\nLive tracing does not work here; sampled sums do: --source schedstat.\n"
               : "\nNeither live tracing nor sampling works here.\n";
    return static_cast<int>(ExitCode::failure);
}

std::vector<Finding> examine_machine(const std::function<Status()>& try_load) {
    Patient patient;
    patient.kernel = kernel_name();
    patient.memlock_bytes = memlock_limit();
    patient.try_ring = try_ring;
    patient.try_load = try_load;
    return examine(patient);
}

Result<int> run_doctor() {
    std::string out;
    const int code = print_findings(examine_machine(try_bpf), out);
    return print(out, code);
}

}  // namespace rqs
