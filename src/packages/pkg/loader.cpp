// SPDX-License-Identifier: BSD-2-Clause
#include "pkg/loader.h"

#include <fmt/format.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <csignal>
#include <cstring>
#include <set>

#include "pkg/attach.h"
#include "util/safe_text.h"

namespace rqs::pkg {
namespace {

constexpr unsigned trial_seconds = 20;
constexpr std::size_t reason_length = 240;

bpf_object* open_with_libbpf(const Package& package) {
    DECLARE_LIBBPF_OPTS(bpf_object_open_opts, options,
                        .object_name = package.meta.obj_name.c_str());
    return bpf_object__open_mem(package.object.data(), package.object.size(), &options);
}

/// Opens the object in a child first: libbpf was written for objects of a compiler, and one that
/// makes it crash or loop must end that child and not ecli. check_object() catches what is known to
/// be dangerous; this catches the rest.
Status try_in_child(const Package& package) {
    const pid_t child = ::fork();
    if (child < 0) {
        return fail(fmt::format("cannot start a child process: {}", std::strerror(errno)));
    }
    if (child == 0) {
        ::alarm(trial_seconds);
        libbpf_set_print(nullptr);  // the parent hears the same words again
        bpf_object* object = open_with_libbpf(package);
        ::_exit(object == nullptr ? 1 : 0);
    }
    int status = 0;
    while (::waitpid(child, &status, 0) < 0 && errno == EINTR) {
    }
    if (WIFSIGNALED(status)) {
        return fail(WTERMSIG(status) == SIGALRM
                        ? "bad package: libbpf does not come to an end with its object"
                        : "bad package: its object brings libbpf down");
    }
    return {};
}

/// The first thing that libbpf complained about, which is the cause of what follows it.
std::string first_complaint(const std::string& log) {
    std::string first = log.substr(0, log.find("; "));
    constexpr std::string_view prefix = "libbpf: ";
    if (first.rfind(prefix, 0) == 0) {
        first.erase(0, prefix.size());
    }
    if (first.size() > reason_length) {
        first.resize(reason_length);
        first += "...";
    }
    return first;
}

/// libbpf names the program that failed in its log alone: "prog 'NAME': ...".
std::string blamed_program(const std::string& log) {
    constexpr std::string_view mark = "prog '";
    const auto start = log.find(mark);
    if (start == std::string::npos) {
        return {};
    }
    const auto end = log.find('\'', start + mark.size());
    return log.substr(start + mark.size(), end - start - mark.size());
}

/// Programs that the verifier rejects have a long log; its place is --verbose.
std::string reason_of(int error, const std::string& log) {
    const std::string complaint = first_complaint(log);
    const std::string text = std::strerror(std::abs(error));
    const bool verifier = log.find("BEGIN PROG LOAD LOG") != std::string::npos;
    std::string reason = complaint.empty() ? text : complaint;
    if (!complaint.empty() && complaint.find(text) == std::string::npos) {
        reason += ": " + text;
    }
    if (bpfkit::is_permission_error(std::abs(error)) && ::geteuid() != 0) {
        return reason + " (root may be permitted to)";
    }
    return verifier ? reason + " (--verbose shows the verifier's log)" : reason;
}

bool can_use_bpf() {
    // A map of nothing: what every load needs first.
    const bpfkit::Fd probe(
        bpf_map_create(BPF_MAP_TYPE_ARRAY, nullptr, sizeof(int), sizeof(int), 1, nullptr));
    return probe.valid() || !bpfkit::is_permission_error(errno);
}

tl::unexpected<Error> cannot_write(const Assignment& assignment) {
    return fail(fmt::format("bad package: section {} cannot be written",
                            util::printable(assignment.section)));
}

Status write_values(const bpf_object* object, const std::vector<Assignment>& assignments) {
    for (const auto& assignment : assignments) {
        bpf_map* map = bpf_object__find_map_by_name(object, assignment.section.c_str());
        std::size_t size = 0;
        const void* initial = map == nullptr ? nullptr : bpf_map__initial_value(map, &size);
        if (initial == nullptr || assignment.offset > size ||
            assignment.bytes.size() > size - assignment.offset) {
            return cannot_write(assignment);
        }
        // libbpf takes the contents of a section only as a whole.
        std::string bytes(static_cast<const char*>(initial), size);
        bytes.replace(assignment.offset, assignment.bytes.size(), assignment.bytes);
        if (bpf_map__set_initial_value(map, bytes.data(), bytes.size()) != 0) {
            return cannot_write(assignment);
        }
    }
    return {};
}

Refusal refusal_of(const bpf_program* program, std::string reason) {
    return {bpf_program__name(program), bpf_program__section_name(program), std::move(reason)};
}

struct LoadOutcome {
    bpfkit::ObjectPtr object;  ///< empty if it failed
    Refusal refusal;           ///< then: why
};

/// One attempt without the programs in `skipped`. libbpf cannot load an object a second time, so
/// that each attempt opens its own.
Result<LoadOutcome> load_once(const Package& package, const std::vector<Assignment>& assignments,
                              const std::set<std::string>& skipped) {
    auto object = open_object(package);
    if (!object) {
        return tl::unexpected(object.error());
    }
    bpf_program* program = nullptr;
    bpf_object__for_each_program(program, object->get()) {
        if (skipped.contains(bpf_program__name(program))) {
            bpf_program__set_autoload(program, false);
        }
    }
    if (const auto status = write_values(object->get(), assignments); !status) {
        return tl::unexpected(status.error());
    }
    (void)bpfkit::take_log();
    const int error = bpf_object__load(object->get());
    if (error == 0) {
        return LoadOutcome{std::move(*object), {}};
    }
    const std::string log = bpfkit::take_log();
    const std::string name = blamed_program(log);
    program = bpf_object__find_program_by_name(object->get(), name.c_str());
    if (program == nullptr) {
        return fail(fmt::format("the package cannot be loaded here: {}", reason_of(error, log)));
    }
    return LoadOutcome{nullptr, refusal_of(program, reason_of(error, log))};
}

/// Loads, leaving out one refused program after the other if `partial`.
Result<Loaded> load_piecemeal(const Package& package, const std::vector<Assignment>& assignments,
                              bool partial) {
    Loaded loaded;
    std::set<std::string> skipped;
    for (;;) {
        auto outcome = load_once(package, assignments, skipped);
        if (!outcome) {
            return tl::unexpected(outcome.error());
        }
        if (outcome->object != nullptr) {
            loaded.object = std::move(outcome->object);
            return loaded;
        }
        // Blamed again though it was left out: another attempt would end like this one.
        const bool news = skipped.insert(outcome->refusal.program).second;
        loaded.refusals.push_back(std::move(outcome->refusal));
        if (!partial || !news) {
            return loaded;
        }
    }
}

}  // namespace

Result<bpfkit::ObjectPtr> open_object(const Package& package) {
    if (const auto status = try_in_child(package); !status) {
        return tl::unexpected(status.error());
    }
    (void)bpfkit::take_log();
    bpfkit::ObjectPtr object(open_with_libbpf(package));
    if (object == nullptr) {
        const int error = errno;
        return fail(fmt::format("bad package: libbpf cannot open its object: {}",
                                reason_of(error, bpfkit::take_log())));
    }
    return object;
}

std::vector<SectionBytes> section_contents(const bpf_object* object) {
    std::vector<SectionBytes> out;
    static constexpr std::array<const char*, 3> names{".rodata", ".data", ".bss"};
    for (const char* name : names) {
        bpf_map* map = bpf_object__find_map_by_name(object, name);
        std::size_t size = 0;
        const void* bytes = map == nullptr ? nullptr : bpf_map__initial_value(map, &size);
        if (bytes != nullptr) {
            out.push_back({name, std::string(static_cast<const char*>(bytes), size)});
        }
    }
    return out;
}

Result<Loaded> load(const Package& package, const std::vector<Assignment>& assignments,
                    bool partial) {
    bpfkit::lift_memlock_limit();
    if (!can_use_bpf()) {
        return fail(
            "loading BPF programs is not permitted here: run as root or grant "
            "cap_bpf,cap_perfmon (and cap_net_admin for XDP and tc)");
    }
    return load_piecemeal(package, assignments, partial);
}

void attach(const Package& package, Loaded& loaded, bool partial) {
    bpf_program* program = nullptr;
    bpf_object__for_each_program(program, loaded.object.get()) {
        if (!bpf_program__autoload(program)) {
            continue;
        }
        (void)bpfkit::take_log();
        const ProgMeta* meta = package.meta.find_prog(bpf_program__name(program));
        const Json& extra = meta != nullptr ? meta->extra : Json::object();
        if (auto reason = attach_program(program, extra, loaded)) {
            loaded.refusals.push_back(refusal_of(program, std::move(*reason)));
            if (!partial) {
                return;
            }
        }
    }
}

std::string explain(int error) {
    return reason_of(error, bpfkit::take_log());
}

std::string describe(const Refusal& refusal) {
    return fmt::format("program {} ({}) cannot run on this kernel: {}",
                       util::printable(refusal.program), util::printable(refusal.section),
                       refusal.reason);
}

}  // namespace rqs::pkg
