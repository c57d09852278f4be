// SPDX-License-Identifier: BSD-2-Clause
// ecc: compiles a BPF program to a package.
#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <exception>
#include <iostream>

#include "bpfkit/handles.h"
#include "ecc/compile.h"

namespace {

using rqs::ecc::CompileOptions;

void define_options(CLI::App& app, CompileOptions& options) {
    app.add_option("SOURCE", options.source,
                   "the BPF program, x.bpf.c, or a directory with one and its header")
        ->required();
    app.add_option("HEADER", options.header, "the header that defines the struct of its events");
    app.add_option("-o,--output-path", options.output,
                   "the package, a directory for it, or - for stdout (default: package.json beside "
                   "SOURCE)");
    app.add_flag("-y,--yaml", options.yaml, "write YAML instead of JSON");
    app.add_option("--btf", options.btf, "the kernel's types: a BTF or ELF file")
        ->capture_default_str();
    app.add_option("-c,--clang-bin,--clang", options.clang, "the compiler")->capture_default_str();
    app.add_option("-a,--additional-cflags", options.flags,
                   "one more word for the compiler; repeatable")
        ->allow_extra_args(false);
    app.add_flag("-k,--keep", options.keep, "also write NAME.bpf.o and NAME.skel.json");
    app.add_flag("-v,--verbose", options.verbose, "show the compiler's command line");
}

std::string first_line(const std::string& text) {
    return text.substr(0, text.find('\n'));
}

/// Whether what was printed to standard output got there.
bool said() {
    errno = 0;
    std::cout.flush();
    if (!std::cout || std::fflush(stdout) != 0) {
        fmt::print(stderr, "ecc: cannot write standard output: {}\n",
                   errno == 0 ? "it is closed" : std::strerror(errno));
        return false;
    }
    return true;
}

int compile(int argc, char** argv) {
    CompileOptions options;
    CLI::App app("Compiles a BPF program to a package that ecli runs.", "ecc");
    app.set_version_flag("--version", std::string("ecc 0.1.0 (package format 0.3)"));
    define_options(app, options);
    try {
        app.parse(argc, argv);
    } catch (const CLI::ParseError& error) {
        if (error.get_exit_code() == 0) {
            (void)app.exit(error);
            return said() ? 0 : static_cast<int>(rqs::ExitCode::failure);
        }
        fmt::print(stderr, "ecc: {} (ecc --help shows the usage)\n", first_line(error.what()));
        return static_cast<int>(rqs::ExitCode::usage);
    }
    rqs::bpfkit::install_log(options.verbose);
    const auto path = rqs::ecc::compile_package(options);
    if (!path) {
        fmt::print(stderr, "ecc: {}\n", path.error().message);
        return static_cast<int>(path.error().code);
    }
    return 0;
}

}  // namespace

int main(int argc, char** argv) {
    try {
        return compile(argc, argv);
    } catch (const std::exception& error) {
        std::fprintf(stderr, "ecc: %s\n", error.what());
        return static_cast<int>(rqs::ExitCode::failure);
    }
}
