// SPDX-License-Identifier: BSD-2-Clause
// Where libbpf's C printer puts its text.
#pragma once

#include <cstdarg>

namespace rqs::ecc {

/// A btf_dump_printf_fn_t whose context is the std::string to append to.
__attribute__((format(printf, 2, 0))) void append_formatted(void* context, const char* format,
                                                            va_list arguments);

}  // namespace rqs::ecc
