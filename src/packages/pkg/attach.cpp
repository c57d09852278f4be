// SPDX-License-Identifier: BSD-2-Clause
#include "pkg/attach.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <linux/if_link.h>
#include <linux/perf_event.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstring>

#include "pkg/json_field.h"
#include "util/fd.h"

namespace rqs::pkg {
namespace {

class LinkAttachment final : public Attachment {
  public:
    explicit LinkAttachment(bpf_link* link) : link_(link) {}

  private:
    bpfkit::LinkPtr link_;
};

class XdpAttachment final : public Attachment {
  public:
    XdpAttachment(int ifindex, std::uint32_t flags, int program)
        : ifindex_(ifindex), flags_(flags), program_(program) {}
    XdpAttachment(const XdpAttachment&) = delete;
    XdpAttachment(XdpAttachment&&) = delete;
    XdpAttachment& operator=(const XdpAttachment&) = delete;
    XdpAttachment& operator=(XdpAttachment&&) = delete;
    ~XdpAttachment() override {
        // Only our own program: another one may have taken its place.
        DECLARE_LIBBPF_OPTS(bpf_xdp_attach_opts, options, .old_prog_fd = program_);
        (void)bpf_xdp_detach(ifindex_, flags_, &options);
    }

  private:
    int ifindex_;
    std::uint32_t flags_;
    int program_;  // open as long as the object is, which outlives its attachments
};

/// Takes only its own filter away, and the qdisc only if it was made here: others may use it.
class TcAttachment final : public Attachment {
  public:
    /// `attached`: the filter is there, and not only the qdisc.
    TcAttachment(const bpf_tc_hook& hook, const bpf_tc_opts& options, bool own_hook, bool attached)
        : hook_(hook), options_(options), own_hook_(own_hook), attached_(attached) {}
    TcAttachment(const TcAttachment&) = delete;
    TcAttachment(TcAttachment&&) = delete;
    TcAttachment& operator=(const TcAttachment&) = delete;
    TcAttachment& operator=(TcAttachment&&) = delete;
    ~TcAttachment() override {
        options_.prog_fd = 0;
        options_.prog_id = 0;
        options_.flags = 0;
        if (attached_) {
            (void)bpf_tc_detach(&hook_, &options_);
        }
        if (own_hook_) {
            hook_.attach_point = static_cast<bpf_tc_attach_point>(BPF_TC_INGRESS | BPF_TC_EGRESS);
            (void)bpf_tc_hook_destroy(&hook_);
        }
    }

  private:
    bpf_tc_hook hook_;
    bpf_tc_opts options_;
    bool own_hook_;
    bool attached_;
};

/// A link that libbpf knows nothing of: gone with its descriptor.
class FdAttachment final : public Attachment {
  public:
    explicit FdAttachment(bpfkit::Fd fd) : fd_(std::move(fd)) {}

  private:
    bpfkit::Fd fd_;
};

std::string reason(int error, std::string_view doing) {
    return fmt::format("{}: {}", doing, explain(error));
}

/// A link goes with this process, however that ends; 5.9 and later. Negative errno.
int attach_xdp_link(const bpf_program* program, int ifindex, std::uint32_t flags, Loaded& loaded) {
    DECLARE_LIBBPF_OPTS(bpf_link_create_opts, options, .flags = flags & XDP_FLAGS_MODES);
    bpfkit::Fd link(bpf_link_create(bpf_program__fd(program), ifindex, BPF_XDP, &options));
    if (!link.valid()) {
        return -errno;
    }
    loaded.attachments.push_back(std::make_unique<FdAttachment>(std::move(link)));
    return 0;
}

std::optional<std::string> attach_xdp(const bpf_program* program, const Json& extra,
                                      Loaded& loaded) {
    FieldReader reader;
    const auto ifindex = reader.number(extra, "ifindex", "XDP", 1, INT32_MAX, 1);
    const auto flags = reader.number(extra, "flags", "XDP", 0, UINT32_MAX, 0);
    if (!reader.ok()) {
        return reader.error();
    }
    const int index = static_cast<int>(ifindex);
    int error = attach_xdp_link(program, index, flags, loaded);
    if (error == 0) {
        return std::nullopt;
    }
    if (error != -EBUSY) {
        error = bpf_xdp_attach(index, bpf_program__fd(program), flags | XDP_FLAGS_UPDATE_IF_NOEXIST,
                               nullptr);
    }
    if (error == -EBUSY) {
        return fmt::format("network interface {} has an XDP program already", index);
    }
    if (error < 0) {
        return reason(error, fmt::format("network interface {} takes no XDP program", index));
    }
    loaded.attachments.push_back(std::make_unique<XdpAttachment>(
        index, flags & ~std::uint32_t{XDP_FLAGS_UPDATE_IF_NOEXIST}, bpf_program__fd(program)));
    return std::nullopt;
}

std::optional<bpf_tc_attach_point> attach_point(const std::string& name) {
    if (name.empty() || name == "BPF_TC_INGRESS") {
        return BPF_TC_INGRESS;
    }
    if (name == "BPF_TC_EGRESS") {
        return BPF_TC_EGRESS;
    }
    return std::nullopt;
}

/// From 6.6 on a tc program needs no qdisc (e420bed02507, "bpf: Add fd-based tcx multi-prog
/// infra"), which is a module that may be missing.
bool attach_tcx(const bpf_program* program, const bpf_tc_hook& hook, Loaded& loaded) {
    constexpr int tcx_ingress = 46;  // BPF_TCX_INGRESS, newer than the headers
    constexpr int tcx_egress = 47;
    const int type = hook.attach_point == BPF_TC_INGRESS ? tcx_ingress : tcx_egress;
    bpfkit::Fd link(bpf_link_create(bpf_program__fd(program), hook.ifindex,
                                    static_cast<bpf_attach_type>(type), nullptr));
    if (!link.valid()) {
        return false;
    }
    loaded.attachments.push_back(std::make_unique<FdAttachment>(std::move(link)));
    return true;
}

std::optional<std::string> attach_tc(const bpf_program* program, const Json& extra,
                                     Loaded& loaded) {
    static const Json none = Json::object();
    const Json* hook_json = FieldReader::find(extra, "tchook");
    const Json* options_json = FieldReader::find(extra, "tcopts");
    hook_json = hook_json != nullptr ? hook_json : &none;
    options_json = options_json != nullptr ? options_json : &none;
    FieldReader reader;
    const auto ifindex = reader.number(*hook_json, "ifindex", "tchook", 1, INT32_MAX, 1);
    const auto point = attach_point(reader.text(*hook_json, "attach_point", "tchook", false));
    const auto handle = reader.number(*options_json, "handle", "tcopts", 0, UINT32_MAX, 1);
    const auto priority = reader.number(*options_json, "priority", "tcopts", 0, 65535, 1);
    if (!reader.ok() || !point) {
        return reader.ok() ? "tchook's attach_point is neither BPF_TC_INGRESS nor BPF_TC_EGRESS"
                           : reader.error();
    }
    DECLARE_LIBBPF_OPTS(bpf_tc_hook, hook, .ifindex = static_cast<int>(ifindex),
                        .attach_point = *point);
    int error = bpf_tc_hook_create(&hook);
    const bool own_hook = error == 0;
    if (error != 0 && error != -EEXIST) {
        std::string why =
            reason(error, fmt::format("network interface {} takes no clsact qdisc", hook.ifindex));
        return attach_tcx(program, hook, loaded) ? std::nullopt : std::optional(std::move(why));
    }
    DECLARE_LIBBPF_OPTS(bpf_tc_opts, options, .prog_fd = bpf_program__fd(program), .handle = handle,
                        .priority = priority);
    error = bpf_tc_attach(&hook, &options);
    if (error != 0) {
        std::string why =
            error == -EEXIST ? fmt::format(
                                   "network interface {} has a filter of this handle and priority "
                                   "already",
                                   hook.ifindex)
                             : reason(error, fmt::format("network interface {} takes no tc program",
                                                         hook.ifindex));
        const TcAttachment undo(hook, options, own_hook, false);
        return why;
    }
    loaded.attachments.push_back(std::make_unique<TcAttachment>(hook, options, own_hook, true));
    return std::nullopt;
}

util::Fd open_sampling_event(int cpu, std::uint32_t type, std::uint64_t config,
                             std::uint64_t frequency_hz) {
    perf_event_attr attributes{};
    attributes.size = sizeof(attributes);
    attributes.type = type;
    attributes.config = config;
    attributes.freq = 1;
    attributes.sample_freq = frequency_hz;
    return util::Fd(static_cast<int>(
        ::syscall(SYS_perf_event_open, &attributes, -1, cpu, -1, PERF_FLAG_FD_CLOEXEC)));
}

/// One sampling event on each CPU that is online: cycles, or the CPU clock where a (virtual)
/// machine counts no cycles.
std::optional<std::string> attach_perf_event(const bpf_program* program, const Json& extra,
                                             Loaded& loaded) {
    FieldReader reader;
    const auto frequency_hz = reader.number(extra, "frequency", "perf_event", 1, 10'000, 1);
    if (!reader.ok()) {
        return reader.error();
    }
    std::size_t attached = 0;
    int error = ENODEV;
    for (int cpu = 0; cpu < libbpf_num_possible_cpus(); ++cpu) {
        auto event =
            open_sampling_event(cpu, PERF_TYPE_HARDWARE, PERF_COUNT_HW_CPU_CYCLES, frequency_hz);
        if (!event.valid()) {
            event =
                open_sampling_event(cpu, PERF_TYPE_SOFTWARE, PERF_COUNT_SW_CPU_CLOCK, frequency_hz);
        }
        if (!event.valid()) {
            error = errno;
            continue;
        }
        bpf_link* link = bpf_program__attach_perf_event(program, event.get());
        if (link == nullptr) {
            return reason(errno, "perf event");
        }
        (void)event.release();  // the link closes it
        loaded.attachments.push_back(std::make_unique<LinkAttachment>(link));
        ++attached;
    }
    return attached > 0 ? std::nullopt
                        : std::optional(reason(error, "no perf event can be opened"));
}

std::optional<std::string> attach_iterator(const bpf_program* program, Loaded& loaded) {
    bpf_link* link = bpf_program__attach_iter(program, nullptr);
    if (link == nullptr) {
        return reason(errno, "iterator");
    }
    loaded.attachments.push_back(std::make_unique<LinkAttachment>(link));
    bpfkit::Fd fd(bpf_iter_create(bpf_link__fd(link)));
    if (!fd.valid()) {
        return reason(errno, "iterator");
    }
    loaded.iterators.push_back({bpf_program__name(program), std::move(fd)});
    return std::nullopt;
}

bool exists(const char* path) {
    return ::access(path, F_OK) == 0;
}

/// A kprobe's section on a kernel without kprobes, in whatever way libbpf words that.
bool lacks_kprobes(const bpf_program* program) {
    const std::string_view section = bpf_program__section_name(program);
    const bool kprobe = section.rfind("kprobe", 0) == 0 || section.rfind("kretprobe", 0) == 0 ||
                        section.rfind("ksyscall", 0) == 0 || section.rfind("kretsyscall", 0) == 0;
    return kprobe && !exists("/sys/bus/event_source/devices/kprobe") &&
           !exists("/sys/kernel/tracing/kprobe_events") &&
           !exists("/sys/kernel/debug/tracing/kprobe_events");
}

std::optional<std::string> attach_by_section(const bpf_program* program, Loaded& loaded) {
    bpf_link* link = bpf_program__attach(program);
    if (link == nullptr) {
        const int error = errno;
        std::string why = explain(error);
        if (lacks_kprobes(program)) {
            return "it has no kprobes";
        }
        // Said by libbpf itself, without a complaint.
        const bool no_target = error == EOPNOTSUPP && why == std::strerror(EOPNOTSUPP);
        return no_target ? "its section does not say what to attach it to" : why;
    }
    loaded.attachments.push_back(std::make_unique<LinkAttachment>(link));
    return std::nullopt;
}

/// Where the BPF LSM is compiled in but not switched on, programs attach and never run.
std::optional<std::string> attach_lsm(const bpf_program* program, Loaded& loaded) {
    constexpr const char* path = "/sys/kernel/security/lsm";
    const util::Fd file(::open(path, O_RDONLY | O_CLOEXEC));
    std::array<char, 1024> text{};
    const ssize_t size = file.valid() ? ::read(file.get(), text.data(), text.size()) : -1;
    if (size > 0) {
        const std::string active = "," + std::string(text.data(), static_cast<std::size_t>(size));
        const auto at = active.find(",bpf");
        if (at == std::string::npos ||
            (at + 4 < active.size() && active[at + 4] != ',' && active[at + 4] != '\n')) {
            return fmt::format(
                "\"bpf\" is not among its active security modules (see {}): boot with lsm=...,bpf",
                path);
        }
    }
    return attach_by_section(program, loaded);
}

}  // namespace

std::optional<std::string> attach_program(bpf_program* program, const Json& extra, Loaded& loaded) {
    switch (bpf_program__type(program)) {
        case BPF_PROG_TYPE_XDP:
            return attach_xdp(program, extra, loaded);
        case BPF_PROG_TYPE_SCHED_CLS:
        case BPF_PROG_TYPE_SCHED_ACT:
            return attach_tc(program, extra, loaded);
        case BPF_PROG_TYPE_PERF_EVENT:
            return attach_perf_event(program, extra, loaded);
        case BPF_PROG_TYPE_LSM:
            return attach_lsm(program, loaded);
        case BPF_PROG_TYPE_TRACING:
            if (bpf_program__expected_attach_type(program) == BPF_TRACE_ITER) {
                return attach_iterator(program, loaded);
            }
            return attach_by_section(program, loaded);
        default:
            return attach_by_section(program, loaded);
    }
}

}  // namespace rqs::pkg
