// SPDX-License-Identifier: BSD-2-Clause
// In place of the page where there is no npm to bundle it.
#include "html/page_template.h"

namespace rqs::html {

std::string_view page_template() {
    return {};
}

}  // namespace rqs::html
