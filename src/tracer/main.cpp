// SPDX-License-Identifier: BSD-2-Clause
// parse → dispatch → print one error.
#include "cli/parse.h"
#include "commands/print.h"
#include "commands/table.h"
#include "util/say.h"
#include "util/standard_descriptors.h"

namespace {

rqs::Result<int> dispatch(const rqs::cli::Invocation& invocation) {
    return invocation.command != nullptr ? invocation.command->run(invocation)
                                         : rqs::print(invocation.text, 0);
}

int complain(const rqs::Error& error) {
    rqs::util::say("runqslower: " + error.message);
    return static_cast<int>(error.code);
}

}  // namespace

int main(int argc, char** argv) {
    rqs::util::occupy_standard_descriptors();
    const auto invocation = rqs::cli::parse(argc, argv, rqs::command_table());
    if (!invocation) {
        return complain(invocation.error());
    }
    for (const auto& warning : invocation->warnings) {
        rqs::util::say("runqslower: " + warning);
    }
    const auto code = dispatch(*invocation);
    return code ? *code : complain(code.error());
}
