// SPDX-License-Identifier: BSD-2-Clause
#pragma once

#include <cstring>

#include "model/event.h"

namespace rqs {

/// A name as the kernel side writes it: 16 bytes, of which the last counts as NUL.
inline Comm comm_of(const char* raw) {
    Comm comm;
    std::memcpy(comm.bytes.data(), raw, comm.bytes.size());
    comm.bytes.back() = '\0';
    return comm;
}

}  // namespace rqs
