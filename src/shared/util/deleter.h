// SPDX-License-Identifier: BSD-2-Clause
// Objects of C libraries as owned values.
#pragma once

namespace rqs::util {

/// Frees what a C library made: std::unique_ptr<btf, Deleter<btf__free>>.
template <auto Free>
struct Deleter {
    template <typename T>
    void operator()(T* pointer) const {
        Free(pointer);
    }
};

}  // namespace rqs::util
