// SPDX-License-Identifier: BSD-2-Clause
// ecli: runs a package.
#include <fmt/format.h>
#include <unistd.h>

#include <cstdio>
#include <exception>
#include <string>
#include <vector>

#include "bpfkit/handles.h"
#include "pkg/fetch.h"
#include "pkg/loader.h"
#include "pkg/package.h"
#include "pkg/parameters.h"
#include "pkg/runner.h"
#include "util/output.h"
#include "util/safe_text.h"
#include "util/standard_descriptors.h"
#include "util/stop_signals.h"

namespace {

using rqs::Result;
using rqs::Status;
using namespace rqs::pkg;  // NOLINT(google-build-using-namespace): this file is its front end

constexpr const char* usage =
    "Usage: ecli run [-j] [--partial] [--verbose] PACKAGE [options of the package]\n"
    "\n"
    "Runs a BPF package made by ecc: loads and attaches its programs and prints what they\n"
    "report, until Ctrl-C. PACKAGE is a file, - for standard input, or an http(s) URL.\n"
    "\n"
    "  -j, --json   one JSON object a line\n"
    "  --partial    go on without programs that this kernel refuses\n"
    "  --verbose    show what libbpf says\n"
    "  -h, --help   show this; behind PACKAGE: the options of that package\n"
    "  --version    show the version\n";

/// What stands before the package.
struct Request {
    bool json = false;
    bool partial = false;
    bool verbose = false;
    std::string source;
    std::vector<std::string> arguments;
};

Result<Request> parse_request(const std::vector<std::string>& words) {
    Request request;
    std::size_t i = 0;
    for (; i < words.size() && words[i].size() > 1 && words[i][0] == '-'; ++i) {
        if (words[i] == "-j" || words[i] == "--json") {
            request.json = true;
        } else if (words[i] == "--partial") {
            request.partial = true;
        } else if (words[i] == "--verbose") {
            request.verbose = true;
        } else if (words[i] == "--") {
            ++i;
            break;
        } else {
            return rqs::usage_error(
                fmt::format("unknown option {} (options of the package stand behind it)",
                            rqs::util::printable(words[i])));
        }
    }
    if (i == words.size()) {
        return rqs::usage_error("which package? (ecli run PACKAGE; ecli --help)");
    }
    request.source = words[i];
    request.arguments.assign(words.begin() + static_cast<std::ptrdiff_t>(i) + 1, words.end());
    return request;
}

/// Everything about the package that can be known without loading it.
struct Prepared {
    Package package;
    std::vector<Parameter> parameters;
    Invocation invocation;
};

Result<Prepared> prepare(const Request& request) {
    const auto text = fetch(request.source);
    if (!text) {
        return tl::unexpected(text.error());
    }
    auto package = read_package(*text);
    if (!package) {
        return tl::unexpected(package.error());
    }
    const auto object = open_object(*package);
    if (!object) {
        return tl::unexpected(object.error());
    }
    if (const auto status = check_exports(*package, object->get()); !status) {
        return tl::unexpected(status.error());
    }
    auto parameters = find_parameters(package->meta, bpf_object__btf(object->get()),
                                      section_contents(object->get()));
    if (!parameters) {
        return tl::unexpected(parameters.error());
    }
    auto invocation = parse_arguments(*parameters, request.arguments);
    if (!invocation) {
        return tl::unexpected(invocation.error());
    }
    invocation->json = invocation->json || request.json;
    invocation->partial = invocation->partial || request.partial;
    invocation->verbose = invocation->verbose || request.verbose;
    return Prepared{std::move(*package), std::move(*parameters), std::move(*invocation)};
}

/// The last word, on stderr: what came, and whether that was all.
void print_summary(const RunResult& result) {
    if (!result.shows_events) {
        return;
    }
    std::string line = fmt::format("ecli: {} events, {} lost", result.events, result.lost);
    if (result.short_events > 0) {
        line += fmt::format(", {} shorter than their type and not shown", result.short_events);
    }
    fmt::print(stderr, "{}\n", line);
}

Status print_version(const Prepared& prepared) {
    const auto& version = prepared.package.meta.doc.version;
    fmt::print("{} {}\n", rqs::util::printable(prepared.package.meta.obj_name),
               version.empty() ? "without a version" : rqs::util::printable(version));
    return {};
}

Status run(const std::vector<std::string>& words) {
    const auto request = parse_request(words);
    if (!request) {
        return tl::unexpected(request.error());
    }
    rqs::bpfkit::install_log(request->verbose);
    const auto prepared = prepare(*request);
    if (!prepared) {
        return tl::unexpected(prepared.error());
    }
    if (prepared->invocation.help) {
        fmt::print("{}", help_text(prepared->package.meta, prepared->parameters,
                                   "ecli run " + request->source));
        return {};
    }
    if (prepared->invocation.version) {
        return print_version(*prepared);
    }
    rqs::bpfkit::install_log(prepared->invocation.verbose || prepared->package.meta.verbose);
    rqs::util::catch_stop_signals();
    rqs::util::Output output(STDOUT_FILENO);
    const auto result = run_package(prepared->package, prepared->invocation, output);
    if (!result) {
        return tl::unexpected(result.error());
    }
    print_summary(*result);
    return {};
}

Status dispatch(const std::vector<std::string>& words) {
    if (words.empty() || words[0] == "-h" || words[0] == "--help" || words[0] == "help") {
        fmt::print(words.empty() ? stderr : stdout, "{}", usage);
        return words.empty() ? rqs::usage_error("what shall it do?") : Status{};
    }
    if (words[0] == "--version") {
        fmt::print("ecli 0.1.0 (package format 0.3)\n");
        return {};
    }
    if (words[0] != "run") {
        return rqs::usage_error(fmt::format("unknown command \"{}\" (there is: ecli run PACKAGE)",
                                            rqs::util::printable(words[0])));
    }
    if (words.size() > 1 && (words[1] == "-h" || words[1] == "--help")) {
        fmt::print("{}", usage);
        return {};
    }
    return run({words.begin() + 1, words.end()});
}

}  // namespace

int main(int argc, char** argv) {
    rqs::util::occupy_standard_descriptors();
    try {
        const auto status = dispatch({argv + 1, argv + argc});
        if (!status) {
            fmt::print(stderr, "ecli: {}\n", status.error().message);
            return static_cast<int>(status.error().code);
        }
        return 0;
    } catch (const std::exception& error) {
        std::fprintf(stderr, "ecli: %s\n", error.what());
        return static_cast<int>(rqs::ExitCode::failure);
    }
}
