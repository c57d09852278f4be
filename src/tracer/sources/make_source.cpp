// SPDX-License-Identifier: BSD-2-Clause
#include "sources/make_source.h"

#include <fmt/format.h>

#include <array>

#include "sources/bpf.h"
#include "sources/schedstat.h"
#include "sources/synthetic.h"

namespace rqs {
namespace {

using SourcePtr = std::unique_ptr<Source>;

SourcePtr make_bpf(const Options& options, std::optional<pid_t> ancestor) {
    return make_bpf_source(options, ancestor);
}

SourcePtr make_schedstat(const Options& options, std::optional<pid_t> ancestor) {
    std::optional<std::uint32_t> root;
    if (ancestor) {
        root = static_cast<std::uint32_t>(*ancestor);
    }
    return std::make_unique<SchedstatSource>(options, root);
}

SourcePtr make_synthetic(const Options& options, std::optional<pid_t> /*ancestor*/) {
    return std::make_unique<SyntheticSource>(options);
}

struct Row {
    SourceKind kind;
    SourcePtr (*make)(const Options&, std::optional<pid_t>);
};

constexpr std::array rows{Row{SourceKind::bpf, make_bpf},
                          Row{SourceKind::schedstat, make_schedstat},
                          Row{SourceKind::synthetic, make_synthetic}};

Result<SourcePtr> started(SourceKind kind, const Options& options, std::optional<pid_t> ancestor) {
    for (const auto& row : rows) {
        if (row.kind == kind) {
            SourcePtr source = row.make(options, ancestor);
            if (auto status = source->start(); !status) {
                return tl::unexpected(status.error());
            }
            return source;
        }
    }
    return fail("no such source");
}

}  // namespace

Result<SourcePtr> start_source(const Options& options, std::optional<pid_t> ancestor,
                               std::string& note) {
    if (options.source != SourceKind::automatic) {
        return started(options.source, options, ancestor);
    }
    auto live = started(SourceKind::bpf, options, ancestor);
    if (live || live.error().code == ExitCode::usage) {
        return live;
    }
    auto sampled = started(SourceKind::schedstat, options, ancestor);
    if (!sampled) {
        // An option that sampling cannot serve: what stands in the way of BPF is the news.
        return live;
    }
    note = fmt::format(
        "{}. Sampling /proc/PID/task/TID/schedstat instead: means are measured, "
        "single waits are not known",
        live.error().message);
    return sampled;
}

}  // namespace rqs
