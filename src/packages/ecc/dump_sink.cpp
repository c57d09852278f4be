// SPDX-License-Identifier: BSD-2-Clause
#include "ecc/dump_sink.h"

#include <cstdio>
#include <string>

namespace rqs::ecc {

void append_formatted(void* context, const char* format, va_list arguments) {
    auto& out = *static_cast<std::string*>(context);
    va_list again;
    va_copy(again, arguments);
    const int size = std::vsnprintf(nullptr, 0, format, arguments);
    if (size > 0) {
        const std::size_t start = out.size();
        // One byte more for the zero that vsnprintf writes.
        out.resize(start + static_cast<std::size_t>(size) + 1);
        std::vsnprintf(out.data() + start, static_cast<std::size_t>(size) + 1, format, again);
        out.pop_back();
    }
    va_end(again);
}

}  // namespace rqs::ecc
