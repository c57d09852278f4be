// SPDX-License-Identifier: BSD-2-Clause
// From a BPF source to a package.
#pragma once

#include <string>
#include <vector>

#include "util/error.h"

namespace rqs::ecc {

struct CompileOptions {
    std::string source;  ///< a file, or a directory with one *.bpf.c
    std::string header;  ///< empty: none, or (with a directory) the one beside the source
    std::string output;  ///< file or directory; -: stdout; empty: package.json beside the source
    std::string btf;     ///< empty: /sys/kernel/btf/vmlinux
    std::string clang = "clang";
    std::vector<std::string> flags;  ///< further words for clang
    bool yaml = false;
    bool json = false;        ///< even if `output` ends in .yaml
    bool keep = false;        ///< also NAME.bpf.o and NAME.skel.json beside the package
    bool no_package = false;  ///< these two and no package
    bool verbose = false;
};

/// Compiles and writes; returns the path of the package. Progress goes to stderr. A stop signal
/// ends it with an error and nothing left behind.
Result<std::string> compile_package(const CompileOptions& options);

}  // namespace rqs::ecc
