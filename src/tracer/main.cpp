// SPDX-License-Identifier: BSD-2-Clause
// parse → dispatch → print one error.
#include <cstdio>
#include <string>

#include "cli/parse.h"
#include "commands/demo.h"
#include "commands/doctor.h"
#include "commands/trace.h"
#include "sources/bpf.h"
#include "util/output.h"
#include "util/standard_descriptors.h"

namespace {

using rqs::cli::Invocation;

rqs::Result<int> print(const std::string& text, int code) {
    rqs::util::Output out(1);
    out.buffer() = text;
    if (auto flushed = out.flush(); !flushed) {
        return tl::unexpected(flushed.error());
    }
    return code;
}

rqs::Result<int> doctor(const rqs::Options& options) {
    std::string text;
    const int code = rqs::run_doctor(options, rqs::try_bpf, text);
    return print(text, code);
}

rqs::Result<int> dispatch(const Invocation& invocation) {
    switch (invocation.command) {
        case Invocation::Command::trace:
            return rqs::run_trace(invocation.options);
        case Invocation::Command::demo:
            return rqs::run_demo(invocation.options);
        case Invocation::Command::doctor:
            return doctor(invocation.options);
        case Invocation::Command::help:
        case Invocation::Command::version:
            break;
    }
    return print(invocation.text, 0);
}

int complain(const rqs::Error& error) {
    std::fprintf(stderr, "runqslower: %s\n", error.message.c_str());
    return static_cast<int>(error.code);
}

}  // namespace

int main(int argc, char** argv) {
    rqs::util::occupy_standard_descriptors();
    const auto invocation = rqs::cli::parse(argc, argv);
    if (!invocation) {
        return complain(invocation.error());
    }
    for (const auto& warning : invocation->warnings) {
        std::fprintf(stderr, "runqslower: %s\n", warning.c_str());
    }
    const auto code = dispatch(*invocation);
    return code ? *code : complain(code.error());
}
