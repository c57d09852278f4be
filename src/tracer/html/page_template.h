// SPDX-License-Identifier: BSD-2-Clause
// The page without its data: what web/ was bundled to when the program was built.
#pragma once

#include <string_view>

namespace rqs::html {

/// Empty where it was built without npm.
std::string_view page_template();

}  // namespace rqs::html
