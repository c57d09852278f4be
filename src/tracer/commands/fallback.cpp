// SPDX-License-Identifier: BSD-2-Clause
#include "commands/fallback.h"

#include <fmt/format.h>

namespace rqs {

Status may_fall_back(const ViewOptions& view, bool stdout_is_terminal, const Error& why_not) {
    const bool columns = view.format == Format::text && !view.quiet;
    if (!columns || (stdout_is_terminal && view.output_path.empty())) {
        return {};
    }
    return tl::unexpected(Error{
        fmt::format(
            "{}. It must be asked for here, since it prints other columns: --source schedstat",
            why_not.message),
        why_not.code});
}

}  // namespace rqs
