// SPDX-License-Identifier: BSD-2-Clause
// ecli: runs a package.
#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <cctype>
#include <csignal>
#include <exception>
#include <string>
#include <vector>

#include "bpfkit/handles.h"
#include "pkg/agreement.h"
#include "pkg/fetch.h"
#include "pkg/loader.h"
#include "pkg/package.h"
#include "pkg/parameters.h"
#include "pkg/runner.h"
#include "util/output.h"
#include "util/safe_text.h"
#include "util/say.h"
#include "util/standard_descriptors.h"
#include "util/stop_signals.h"

namespace {

using rqs::Result;
using rqs::Status;
using namespace rqs::pkg;  // NOLINT(google-build-using-namespace): this file is its front end

constexpr const char* usage =
    "Usage: ecli [run] [-j] [--partial] [--verbose] PACKAGE [options of the package]\n"
    "\n"
    "Runs a BPF package made by ecc: loads and attaches its programs and prints what they\n"
    "report, until Ctrl-C. PACKAGE is a file, a folder with a package.json, - for standard\n"
    "input, or an http(s) URL.\n"
    "\n"
    "  -j, --json   one JSON object a line\n"
    "  --partial    go on without programs that this kernel refuses\n"
    "  --verbose    show libbpf's messages\n"
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

/// stdout that cannot be written is an error here too; a reader that went away is none.
Status print(const std::string& text) {
    rqs::util::Output output(STDOUT_FILENO);
    output.buffer() += text;
    return output.finish();
}

/// eunomia's ecli has to be told what a package on standard input is: here there is one kind.
Status check_type(const std::string& type) {
    for (const std::string_view json : {"json", "jsoneunomia"}) {
        if (std::equal(type.begin(), type.end(), json.begin(), json.end(),
                       [](unsigned char a, unsigned char b) { return std::tolower(a) == b; })) {
            return {};
        }
    }
    return rqs::usage_error(fmt::format("program type \"{}\" is not run here: packages are json",
                                        rqs::util::printable(type)));
}

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
        } else if ((words[i] == "-p" || words[i] == "--prog-type") && i + 1 < words.size()) {
            if (auto status = check_type(words[++i]); !status) {
                return tl::unexpected(status.error());
            }
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
    if (const auto status = check_metadata(*package, object->get()); !status) {
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
    rqs::util::say(line);
}

Status print_version(const Prepared& prepared) {
    const auto& version = prepared.package.meta.doc.version;
    return print(
        fmt::format("{} {}\n", rqs::util::printable(prepared.package.meta.obj_name),
                    version.empty() ? "without a version" : rqs::util::printable(version)));
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
        return print(
            help_text(prepared->package.meta, prepared->parameters, "ecli run " + request->source));
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

/// What eunomia's ecli can do and this one does not.
Status no_registry(const std::string& command) {
    return rqs::usage_error(fmt::format(
        "\"{}\" is not supported: ecli has no registries; ecli run takes a file or an http(s) URL",
        command));
}

/// "ecli PACKAGE" without the word run, as older versions of eunomia's ecli had it.
bool may_be_package(const std::string& word) {
    return word.find_first_of("./") != std::string::npos || word[0] == '-' ||
           ::access(word.c_str(), F_OK) == 0;
}

Status dispatch(const std::vector<std::string>& words) {
    if (words.empty()) {
        return rqs::usage_error("no command given: try ecli run PACKAGE, or ecli --help");
    }
    const std::string& first = words[0];
    if (first == "-h" || first == "--help" || first == "help") {
        return print(usage);
    }
    if (first == "--version" || first == "-V") {
        return print(
            fmt::format("ecli " RQS_VERSION " (package format {})\n", rqs::pkg::written_version));
    }
    if (first == "push" || first == "pull") {
        return no_registry(first);
    }
    if (first != "run") {
        return may_be_package(first) ? run(words)
                                     : rqs::usage_error(fmt::format(
                                           "unknown command \"{}\" (there is: ecli run PACKAGE)",
                                           rqs::util::printable(first)));
    }
    if (words.size() > 1 && (words[1] == "-h" || words[1] == "--help")) {
        return print(usage);
    }
    return run({words.begin() + 1, words.end()});
}

}  // namespace

int main(int argc, char** argv) {
    rqs::util::occupy_standard_descriptors();
    (void)std::signal(SIGPIPE, SIG_IGN);  // also for sockets; the write reports it
    (void)std::signal(SIGXFSZ, SIG_IGN);
    try {
        const auto status = dispatch({argv + 1, argv + argc});
        if (!status) {
            rqs::util::say("ecli: " + status.error().message);
            return static_cast<int>(status.error().code);
        }
        return 0;
    } catch (const std::exception& error) {
        rqs::util::say(std::string("ecli: ") + error.what());
        return static_cast<int>(rqs::ExitCode::failure);
    }
}
