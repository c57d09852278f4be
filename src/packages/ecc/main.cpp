// SPDX-License-Identifier: BSD-2-Clause
// ecc: compiles a BPF program to a package.
#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <array>
#include <csignal>
#include <exception>
#include <string>
#include <utility>

#include "bpfkit/handles.h"
#include "ecc/compile.h"
#include "ecc/files.h"
#include "pkg/package.h"
#include "util/safe_text.h"
#include "util/say.h"
#include "util/standard_descriptors.h"
#include "util/stop_signals.h"

namespace {

using rqs::ecc::CompileOptions;

/// Options of eunomia's compiler that have no place here, and what to do instead.
constexpr std::array<std::pair<const char*, const char*>, 6> refused{{
    {"--header-only", "give the source that uses the header too"},
    {"--wasm-header", "packages run with ecli; -k writes the object for everything else"},
    {"-b,--btfgen", "a package is relocated where it runs; --btf names the types to compile with"},
    {"--btfhub-archive", "--btf names the types to compile with"},
    {"-s,--standalone", "packages run with ecli, which is one static file"},
    {"-w,--workspace-path", "-a -I DIR adds a folder with headers"},
}};

void define_options(CLI::App& app, CompileOptions& options) {
    app.add_option("SOURCE", options.source,
                   "the BPF program, x.bpf.c, or a directory with one and its header")
        ->required();
    app.add_option("HEADER", options.header, "the header that defines the struct of its events");
    app.add_option("-o,--output-path", options.output,
                   "the package, a directory for it, or - for stdout (default: package.json beside "
                   "SOURCE)");
    app.add_flag("-y,--yaml", options.yaml, "write YAML instead of JSON");
    app.add_flag("--json", options.json, "write JSON, whatever the package's name ends in")
        ->excludes("--yaml");
    app.add_option("--btf", options.btf,
                   "the kernel's types: a BTF or ELF file (default: /sys/kernel/btf/vmlinux)");
    app.add_option("-c,--clang-bin,--clang", options.clang, "the compiler")->capture_default_str();
    app.add_option("-a,--additional-cflags", options.flags,
                   "one more word for the compiler; repeatable")
        ->allow_extra_args(false);
    app.add_flag("-k,--keep", options.keep, "also write NAME.bpf.o and NAME.skel.json");
    app.add_flag("-n,--no-generate-package-json", options.no_package,
                 "write NAME.bpf.o and NAME.skel.json only");
    app.add_flag("-v,--verbose", options.verbose, "show the compiler's command line");
    // What those who come from eunomia's compiler may type; not in the help.
    app.add_option("-l,--llvm-strip-bin")->group("");
}

/// Refuses an option wherever it stands, with or without a value.
void define_refused(CLI::App& app) {
    for (const auto& [names, instead] : refused) {
        const std::string all = names;
        const std::string why =
            all.substr(all.find(',') + 1) + " is not supported: " + std::string(instead);
        app.add_option_function<std::string>(
               all, [why](const std::string&) { throw CLI::ValidationError(why); })
            ->expected(0, 1)
            ->trigger_on_parse()
            ->group("");
    }
}

std::string first_line(const std::string& text) {
    return text.substr(0, text.find('\n'));
}

int complain(const std::string& message, rqs::ExitCode code) {
    rqs::util::say("ecc: " + message);
    return static_cast<int>(code);
}

int print(const std::string& text) {
    const auto said = rqs::ecc::write_stdout(text);
    return said ? 0 : complain(said.error().message, said.error().code);
}

/// clap writes -a=WORD, which CLI11 takes for the word "=WORD".
void drop_equal_signs(CompileOptions& options) {
    for (std::string& flag : options.flags) {
        if (flag.rfind('=', 0) == 0) {
            flag.erase(0, 1);
        }
    }
}

int compile(int argc, char** argv) {
    CompileOptions options;
    CLI::App app("Compiles a BPF program to a package that ecli runs.", "ecc");
    app.set_version_flag("-V,--version", fmt::format("ecc " RQS_VERSION " (package format {})",
                                                     rqs::pkg::written_version));
    define_options(app, options);
    define_refused(app);
    try {
        app.parse(argc, argv);
    } catch (const CLI::CallForHelp&) {
        return print(app.help());
    } catch (const CLI::CallForVersion& version) {
        return print(std::string(version.what()) + '\n');
    } catch (const CLI::ParseError& error) {
        return complain(
            rqs::util::printable(first_line(error.what())) + " (ecc --help shows the usage)",
            rqs::ExitCode::usage);
    }
    drop_equal_signs(options);
    rqs::bpfkit::install_log(options.verbose);
    rqs::util::catch_stop_signals();
    const auto path = rqs::ecc::compile_package(options);
    if (const int signal = rqs::util::stop_signal(); signal != 0 && !path) {
        // All is tidied up: the end that the signal asked for.
        (void)std::signal(signal, SIG_DFL);
        (void)std::raise(signal);
    }
    return path ? 0 : complain(path.error().message, path.error().code);
}

}  // namespace

int main(int argc, char** argv) {
    rqs::util::occupy_standard_descriptors();
    try {
        return compile(argc, argv);
    } catch (const std::exception& error) {
        return complain(error.what(), rqs::ExitCode::failure);
    }
}
