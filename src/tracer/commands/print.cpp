// SPDX-License-Identifier: BSD-2-Clause
#include "commands/print.h"

#include <unistd.h>

#include "util/output.h"

namespace rqs {

Result<int> print(const std::string& text, int code) {
    util::Output out(STDOUT_FILENO);
    out.buffer() = text;
    if (auto flushed = out.flush(); !flushed) {
        return tl::unexpected(flushed.error());
    }
    return code;
}

}  // namespace rqs
