// SPDX-License-Identifier: BSD-2-Clause
#include "sources/make_source.h"

#include <array>

#include "sources/bpf.h"
#include "sources/schedstat.h"
#include "sources/synthetic.h"

namespace rqs {
namespace {

using SourcePtr = std::unique_ptr<Source>;

SourcePtr make_bpf(const SourceOptions& options, std::optional<pid_t> ancestor) {
    return make_bpf_source(options, ancestor);
}

SourcePtr make_schedstat(const SourceOptions& options, std::optional<pid_t> ancestor) {
    std::optional<std::uint32_t> root;
    if (ancestor) {
        root = static_cast<std::uint32_t>(*ancestor);
    }
    return std::make_unique<SchedstatSource>(options, root);
}

SourcePtr make_synthetic(const SourceOptions& options, std::optional<pid_t> /*ancestor*/) {
    return std::make_unique<SyntheticSource>(options);
}

struct Row {
    SourceKind kind;
    SourcePtr (*make)(const SourceOptions&, std::optional<pid_t>);
};

constexpr std::array rows{Row{SourceKind::bpf, make_bpf},
                          Row{SourceKind::schedstat, make_schedstat},
                          Row{SourceKind::synthetic, make_synthetic}};

Result<SourcePtr> started(SourceKind kind, const SourceOptions& options,
                          std::optional<pid_t> ancestor,
                          const std::function<Status()>& before_start) {
    for (const auto& row : rows) {
        if (row.kind == kind) {
            SourcePtr source = row.make(options, ancestor);
            Status status = source->prepare();
            status = status ? before_start() : status;
            status = status ? source->start() : status;
            if (!status) {
                return tl::unexpected(status.error());
            }
            return source;
        }
    }
    return fail("no such source");
}

}  // namespace

Result<SourcePtr> start_source(const SourceOptions& options, std::optional<pid_t> ancestor,
                               const std::function<Status()>& before_start,
                               std::optional<Error>& why_not) {
    if (options.kind != SourceKind::automatic) {
        return started(options.kind, options, ancestor, before_start);
    }
    auto live = started(SourceKind::bpf, options, ancestor, before_start);
    if (live || live.error().code == ExitCode::usage) {
        return live;
    }
    auto sampled = started(SourceKind::schedstat, options, ancestor, before_start);
    if (!sampled) {
        // An option that sampling cannot serve: what stands in the way of BPF is the news.
        return live;
    }
    why_not = live.error();
    return sampled;
}

}  // namespace rqs
