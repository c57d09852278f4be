// SPDX-License-Identifier: BSD-2-Clause
#include "sources/bpf_object.h"

#include <fmt/format.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <bit>
#include <cerrno>
#include <charconv>
#include <climits>
#include <cstdlib>
#include <cstring>
#include <fstream>
#include <string>

#include "bpfkit/kernel_types.h"
#include "contract/wire.h"
#include "enrich/cgroups.h"
#include "enrich/namespaces.h"
#include "runqslower.skel.h"
#include "util/fd.h"
#include "util/procfs.h"

namespace rqs {
namespace {

// What the rings may take by default: a CPU, and all CPUs together. A reader that is woken in time
// empties them every 10 ms; the rest is for times in which it is not, or in which nobody takes its
// output: a tenth of a second, in which 200,000 waits a second and CPU take 4 MiB. A threshold of a
// millisecond or more keeps few waits; below it, every switch may be one.
struct RingBudget {
    std::uint64_t most_bytes;
    std::uint64_t total_bytes;
};
constexpr std::uint64_t fine_threshold_us = 1000;
constexpr RingBudget coarse{1ULL << 20, 64ULL << 20};
constexpr RingBudget fine{4ULL << 20, 128ULL << 20};
constexpr std::uint64_t ring_least_bytes = 128ULL << 10;
constexpr std::uint32_t histories_a_ring = 4;

// Older kernels (5.10 does) end an element of an array map at the largest kmalloc(), 4 MiB, and a
// CPU's element is its ring and a little more.
bool kernel_takes_element(std::uint64_t bytes) {
    const util::Fd map(::bpf_map_create(BPF_MAP_TYPE_ARRAY, nullptr, sizeof(std::uint32_t),
                                        static_cast<__u32>(bytes), 1, nullptr));
    return map.valid();
}

std::uint64_t default_ring_bytes(std::uint64_t min_us, std::uint64_t cpus) {
    const RingBudget& budget = min_us < fine_threshold_us ? fine : coarse;
    const std::uint64_t bytes =
        std::clamp(std::bit_floor(budget.total_bytes / cpus), ring_least_bytes, budget.most_bytes);
    const bool taken =
        bytes < fine.most_bytes || kernel_takes_element(rqs_cpu_bytes(bytes / RQS_SLOT_BYTES));
    return taken ? bytes : bytes / 2;
}

Error explain_load(int error) {
    const std::string why = bpfkit::describe(error);
    if (error == -E2BIG) {
        // Older kernels (5.10 does) end an element of an array map at the largest kmalloc(), 4 MiB.
        return {
            fmt::format("the rings are larger than this kernel takes; give less, like "
                        "--buffer 2m ({})",
                        why)};
    }
    // The verifier refuses with EACCES too, but not without a word.
    if (why.find("PROG LOAD LOG") != std::string::npos) {
        return {
            "this kernel's verifier refused the tracing program; please report what "
            "`runqslower -v` prints; --source schedstat may do"};
    }
    if (bpfkit::is_permission_error(error)) {
        return {
            "tracing needs root, or the capabilities cap_bpf,cap_perfmon (setcap "
            "cap_bpf,cap_perfmon=ep runqslower); --source schedstat works without"};
    }
    return {
        fmt::format("the kernel did not take the tracing program: {}; "
                    "`runqslower doctor` says what is missing, --source schedstat may do",
                    why)};
}

// What the programs cannot do without, with a line of its own instead of a verifier's log.
Status check_kernel(const bpfkit::LeanLoader& loader) {
    if (!loader.has_member("sched_info", "run_delay")) {
        return fail(
            "this kernel does not account run delay (CONFIG_SCHED_INFO, which comes with "
            "CONFIG_SCHEDSTATS or CONFIG_TASK_DELAY_ACCT)");
    }
    return {};
}

// Four places for each task there is, so that two seldom share one; what is lost where they do is
// said with each wait. 256 kB at least, 4 MB at most.
std::uint32_t base_slots() {
    std::ifstream file("/proc/loadavg");  // "0.00 0.01 0.05 1/234 5678": 234 tasks
    std::string field;
    std::uint32_t tasks = 0;
    for (int i = 0; i < 4 && file >> field; ++i) {
    }
    if (const auto slash = field.find('/'); slash != std::string::npos) {
        tasks = static_cast<std::uint32_t>(std::strtoul(field.c_str() + slash + 1, nullptr, 10));
    }
    return std::clamp<std::uint32_t>(std::bit_ceil(std::min(tasks, 1U << 20) * 4),
                                     RQS_BASE_SLOTS_MIN, RQS_BASE_SLOTS_MAX);
}

// One more than the highest number that a CPU may have; numbers may be missing in between.
std::uint32_t cpu_places() {
    const std::string possible =
        util::Procfs("/sys/devices/system/cpu").read("possible").value_or("");  // "0-3,8-11"
    const auto before_last = possible.find_last_of("-,");
    const std::size_t last = before_last == std::string::npos ? 0 : before_last + 1;
    std::uint32_t highest = 0;
    const auto parsed =
        std::from_chars(possible.data() + last, possible.data() + possible.size(), highest);
    if (parsed.ec == std::errc{}) {
        return highest + 1;
    }
    return static_cast<std::uint32_t>(std::max(1, libbpf_num_possible_cpus()));
}

std::uint32_t read_pid_max() {
    std::ifstream file("/proc/sys/kernel/pid_max");
    std::uint32_t value = 0;
    return file >> value ? value : 4U << 20;
}

// comm and mask as the two words that the program compares.
void set_comm(rqs_knobs& knobs, const std::string& prefix) {
    std::array<char, RQS_COMM_LEN> value{};
    std::array<char, RQS_COMM_LEN> mask{};
    const std::size_t length = std::min(prefix.size(), value.size() - 1);
    std::memcpy(value.data(), prefix.data(), length);
    std::memset(mask.data(), 0xff, length);
    std::memcpy(knobs.comm_value, value.data(), sizeof(knobs.comm_value));
    std::memcpy(knobs.comm_mask, mask.data(), sizeof(knobs.comm_mask));
    knobs.filter_comm = length > 0 ? 1 : 0;
}

// A pinned program or link answers the same questions with other facts.
bool is_map(int fd) {
    std::array<char, 64> target{};
    const ssize_t length =
        ::readlink(fmt::format("/proc/self/fd/{}", fd).c_str(), target.data(), target.size() - 1);
    return length > 0 && std::string_view(target.data()).find("bpf-map") != std::string_view::npos;
}

// A pinned hash whose keys are u64 ids takes the place of our own map.
Result<bpfkit::Fd> reuse_pinned(bpf_map* map, const std::string& path, const char* option) {
    struct stat file {};
    if (::stat(path.c_str(), &file) == 0 && !S_ISREG(file.st_mode)) {
        return usage_error(fmt::format("{}: {} is not a pinned BPF map", option, path));
    }
    bpfkit::Fd fd(bpf_obj_get(path.c_str()));
    if (!fd.valid()) {
        if (bpfkit::is_permission_error(errno)) {
            return fail(
                fmt::format("{}: {} may not be opened: {} (needs its file permissions, and "
                            "root or cap_bpf,cap_perfmon)",
                            option, path, std::strerror(errno)));
        }
        return usage_error(
            fmt::format("{}: {} is not a pinned BPF map: {}", option, path, std::strerror(errno)));
    }
    bpf_map_info info{};
    __u32 length = sizeof(info);
    if (!is_map(fd.get()) || bpf_obj_get_info_by_fd(fd.get(), &info, &length) != 0) {
        return usage_error(fmt::format("{}: {} is not a BPF map", option, path));
    }
    const bool hash = info.type == BPF_MAP_TYPE_HASH || info.type == BPF_MAP_TYPE_LRU_HASH;
    if (!hash || info.key_size != sizeof(std::uint64_t)) {
        return usage_error(fmt::format(
            "{}: {} must be a hash map with keys of 8 bytes (u64 ids); it is of type {} with keys "
            "of {} bytes",
            option, path, info.type, info.key_size));
    }
    if (const int error = bpf_map__reuse_fd(map, fd.get()); error != 0) {
        return fail(fmt::format("{}: cannot use {}: {}", option, path, bpfkit::describe(error)));
    }
    return fd;
}

// Whoever asks for the tool itself gets it. In a pid namespace of its own the tool does not know
// which pid the kernel knows it by.
bool leaves_itself_out(const SourceOptions& options) {
    const auto self = static_cast<std::uint32_t>(::getpid());
    const auto& pids = options.filters.pids;
    return !options.self && options.filters.tids.empty() &&
           std::find(pids.begin(), pids.end(), self) == pids.end() &&
           in_initial_pid_namespace(util::Procfs());
}

template <typename T>
std::uint32_t power_of_two(T value, T least, T most) {
    return static_cast<std::uint32_t>(std::bit_floor(std::clamp(value, least, most)));
}

}  // namespace

void BpfObject::Destroy::operator()(runqslower_bpf* skeleton) const {
    runqslower_bpf__destroy(skeleton);
}

BpfObject::BpfObject() = default;
BpfObject::BpfObject(BpfObject&&) noexcept = default;
BpfObject& BpfObject::operator=(BpfObject&&) noexcept = default;
BpfObject::~BpfObject() = default;

Result<BpfObject> BpfObject::load(const SourceOptions& options, std::optional<pid_t> ancestor) {
    bpfkit::install_log(options.verbose);
    bpfkit::lift_memlock_limit();
    auto loader = bpfkit::LeanLoader::make();
    if (!loader) {
        return tl::unexpected(loader.error());
    }
    LIBBPF_OPTS(bpf_object_open_opts, open_options, .btf_custom_path = loader->path().c_str());
    BpfObject object;
    object.skeleton_.reset(runqslower_bpf__open_opts(&open_options));
    if (!object.skeleton_) {
        return fail(fmt::format("cannot open the tracing program: {}", bpfkit::describe(errno)));
    }
    if (auto set = object.set_up(options, ancestor); !set) {
        return tl::unexpected(set.error());
    }
    runqslower_bpf* skeleton = object.skeleton_.get();
    const auto loaded =
        loader->load(skeleton->obj, [skeleton] { return runqslower_bpf__load(skeleton); });
    if (!loaded) {
        return tl::unexpected(loaded.error());
    }
    if (*loaded != 0) {
        if (!bpfkit::is_permission_error(*loaded)) {
            if (auto kernel = check_kernel(*loader); !kernel) {
                return tl::unexpected(kernel.error());
            }
        }
        return tl::unexpected(explain_load(*loaded));
    }
    if (auto filled =
            object.fill_maps(options.filter_in_user_space ? Filters{} : options.filters, ancestor);
        !filled) {
        return tl::unexpected(filled.error());
    }
    return object;
}

Status BpfObject::set_up(const SourceOptions& options, std::optional<pid_t> ancestor) {
    auto& progs = skeleton_->progs;
    auto& maps = skeleton_->maps;
    rqs_knobs& knobs = skeleton_->rodata->knobs;
    knobs.min_ns = options.min_us * 1000;
    knobs.cpu_controller_is_v1 = cpu_controller_is_v1() ? 1 : 0;
    knobs.with_waker = options.waker ? 1 : 0;
    knobs.with_stuck = options.stuck ? 1 : 0;
    knobs.with_parents = options.parents ? 1 : 0;
    knobs.with_history = options.runs || options.stuck ? 1 : 0;  // --stuck reads the last run there
    knobs.self_pid = leaves_itself_out(options) ? static_cast<__u32>(::getpid()) : 0;
    knobs.base_slots = base_slots();
    bpf_map__set_value_size(maps.run_delay_bases, knobs.base_slots * RQS_BASE_ENTRY_BYTES);
    size_rings(options);

    bpf_program__set_autoload(progs.on_fork, ancestor.has_value());
    for (bpf_program* program :
         {progs.on_waking, progs.on_irq_entry, progs.on_irq_exit, progs.on_softirq_entry,
          progs.on_softirq_exit, progs.on_hrtimer_entry, progs.on_hrtimer_exit}) {
        bpf_program__set_autoload(program, options.waker);
    }
    bpf_program__set_autoload(progs.find_waiting, options.stuck);
    bpf_map__set_autocreate(maps.wakers, options.waker);
    return set_filters(options.filter_in_user_space ? Filters{} : options.filters, ancestor);
}

// A ring that was asked for is as large as that, and the history gives way; otherwise the ring is
// large enough for the history.
void BpfObject::size_rings(const SourceOptions& options) {
    rqs_knobs& knobs = skeleton_->rodata->knobs;
    cpu_count_ = cpu_places();
    const std::uint64_t bytes =
        options.buffer_bytes.value_or(default_ring_bytes(options.min_us, cpu_count_));
    ring_slots_ = power_of_two<std::uint64_t>(bytes / RQS_SLOT_BYTES, RQS_RING_MIN, 1U << 24);
    history_slots_ = power_of_two<std::uint32_t>(knobs.with_history != 0 ? options.history : 0,
                                                 RQS_HISTORY_MIN, RQS_HISTORY_MAX);
    if (history_slots_ > default_history && !options.buffer_bytes) {
        ring_slots_ = std::max(ring_slots_, history_slots_ * histories_a_ring);
    }
    history_slots_ = std::min(history_slots_, ring_slots_ / histories_a_ring);
    knobs.history_slots = history_slots_;
    knobs.ring_slots = ring_slots_;
    bpf_map__set_max_entries(skeleton_->maps.cpus, cpu_count_);
    bpf_map__set_value_size(skeleton_->maps.cpus, static_cast<__u32>(rqs_cpu_bytes(ring_slots_)));
}

Status BpfObject::set_filters(const Filters& filters, std::optional<pid_t> ancestor) {
    auto& maps = skeleton_->maps;
    rqs_knobs& knobs = skeleton_->rodata->knobs;
    knobs.filter_pid = filters.pids.empty() ? 0 : 1;
    knobs.filter_tid = filters.tids.empty() ? 0 : 1;
    knobs.filter_descendants = ancestor ? 1 : 0;
    set_comm(knobs, filters.comm_prefix);

    const bool by_id = !filters.pids.empty() || !filters.tids.empty() || ancestor;
    if (by_id && !in_initial_pid_namespace(util::Procfs())) {
        return fail(
            "-p, -t and a command cannot be traced from inside a pid namespace, where ids "
            "are not the machine's; run in the machine's own, or with --source schedstat");
    }
    bpf_map__set_autocreate(maps.pids, by_id);
    if (by_id) {
        knobs.pid_limit = (read_pid_max() + 7) & ~7U;
        bpf_map__set_value_size(maps.pids, knobs.pid_limit);
    }
    knobs.filter_cpu = filters.cpus.empty() ? 0 : 1;
    bpf_map__set_autocreate(maps.wanted_cpus, knobs.filter_cpu != 0);
    bpf_map__set_max_entries(maps.wanted_cpus, cpu_count_);
    for (const std::uint32_t cpu : filters.cpus) {
        if (cpu >= cpu_count_) {
            return usage_error(
                fmt::format("--cpu: there is no CPU {}; the last one is {}", cpu, cpu_count_ - 1));
        }
    }
    if (!filters.cgroup_path.empty()) {
        auto place = locate_v2_cgroup(filters.cgroup_path);
        if (!place) {
            return tl::unexpected(place.error());
        }
        knobs.filter_cgroup = 1;
        knobs.cgroup_id = place->id;
        knobs.cgroup_level = place->level;
    }
    knobs.filter_cgroup_map = filters.cgroup_map.empty() ? 0 : 1;
    knobs.filter_mntns_map = filters.mntns_map.empty() ? 0 : 1;
    knobs.filter_any = knobs.filter_pid | knobs.filter_tid | knobs.filter_descendants |
                       knobs.filter_comm | knobs.filter_cpu | knobs.filter_cgroup |
                       knobs.filter_cgroup_map | knobs.filter_mntns_map;
    bpf_map__set_autocreate(maps.cgroup_map, knobs.filter_cgroup_map != 0);
    bpf_map__set_autocreate(maps.mntns_map, knobs.filter_mntns_map != 0);
    const std::array pinned{std::tuple{maps.cgroup_map, &filters.cgroup_map, "--cgroupmap"},
                            std::tuple{maps.mntns_map, &filters.mntns_map, "--mntnsmap"}};
    for (const auto& [map, path, option] : pinned) {
        if (!path->empty()) {
            auto fd = reuse_pinned(map, *path, option);
            if (!fd) {
                return tl::unexpected(fd.error());
            }
            pinned_.push_back(std::move(*fd));
        }
    }
    return {};
}

Status BpfObject::fill_maps(const Filters& filters, std::optional<pid_t> ancestor) {
    const rqs_knobs& knobs = skeleton_->rodata->knobs;
    const std::uint8_t yes = 1;
    for (const std::uint32_t cpu : filters.cpus) {
        if (bpf_map_update_elem(bpf_map__fd(skeleton_->maps.wanted_cpus), &cpu, &yes, BPF_ANY) !=
            0) {
            return fail(fmt::format("--cpu: cannot select CPU {}: {}", cpu, std::strerror(errno)));
        }
    }
    if (filters.pids.empty() && filters.tids.empty() && !ancestor) {
        return {};
    }
    void* memory = ::mmap(nullptr, knobs.pid_limit, PROT_READ | PROT_WRITE, MAP_SHARED,
                          bpf_map__fd(skeleton_->maps.pids), 0);
    if (memory == MAP_FAILED) {
        return fail(fmt::format("cannot map the table of process ids: {}", std::strerror(errno)));
    }
    auto* const bits = static_cast<std::uint8_t*>(memory);
    const auto mark = [&](std::uint32_t id, rqs_pid_bits bit) {
        if (id < knobs.pid_limit) {
            bits[id] = static_cast<std::uint8_t>(bits[id] | bit);
        }
    };
    for (const std::uint32_t pid : filters.pids) {
        mark(pid, RQS_PID_PROCESS);
    }
    for (const std::uint32_t tid : filters.tids) {
        mark(tid, RQS_PID_THREAD);
    }
    if (ancestor) {
        mark(static_cast<std::uint32_t>(*ancestor), RQS_PID_ANCESTOR);
    }
    ::munmap(memory, knobs.pid_limit);
    return {};
}

Status BpfObject::attach() {
    auto& progs = skeleton_->progs;
    // The main hook last: with its first event everything else is in place. The ends of interrupts
    // before their beginnings: one that is attached within is an end without a beginning, which is
    // seen and ignored, and not a beginning without an end.
    for (bpf_program* program : {progs.on_fork, progs.on_irq_exit, progs.on_softirq_exit,
                                 progs.on_hrtimer_exit, progs.on_irq_entry, progs.on_softirq_entry,
                                 progs.on_hrtimer_entry, progs.on_waking, progs.on_switch}) {
        if (!bpf_program__autoload(program)) {
            continue;
        }
        bpfkit::LinkPtr link(bpf_program__attach_trace(program));
        if (!link) {
            return tl::unexpected(explain_load(errno));
        }
        links_.push_back(std::move(link));
    }
    return {};
}

void BpfObject::detach() {
    while (!links_.empty()) {
        links_.pop_back();
    }
}

int BpfObject::cpus_fd() const {
    return bpf_map__fd(skeleton_->maps.cpus);
}

int BpfObject::doorbell_fd() const {
    return bpf_map__fd(skeleton_->maps.doorbell);
}

Result<bpfkit::Fd> BpfObject::open_waiting_tasks() {
    if (!iterator_) {
        iterator_.reset(bpf_program__attach_iter(skeleton_->progs.find_waiting, nullptr));
        if (!iterator_) {
            return tl::unexpected(explain_load(errno));
        }
    }
    bpfkit::Fd fd(bpf_iter_create(bpf_link__fd(iterator_.get())));
    if (!fd.valid()) {
        return fail(fmt::format("cannot look for waiting tasks: {}", std::strerror(errno)));
    }
    return fd;
}

}  // namespace rqs
