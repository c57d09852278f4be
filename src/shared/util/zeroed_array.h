// SPDX-License-Identifier: BSD-2-Clause
#pragma once

#include <cstddef>
#include <cstdlib>
#include <memory>
#include <new>
#include <type_traits>

namespace rqs::util {

/// An array of a fixed size whose elements begin as zero bytes. A large one takes no memory until
/// it is written to, page by page, where a vector would touch all of it at once: on a busy machine
/// that is time that somebody else waits.
template <typename T>
class ZeroedArray {
    static_assert(std::is_trivially_copyable_v<T> && std::is_trivially_destructible_v<T>);

  public:
    explicit ZeroedArray(std::size_t size)
        // NOLINTNEXTLINE(cppcoreguidelines-no-malloc): nothing else says "zero, but untouched"
        : elements_(static_cast<T*>(std::calloc(size, sizeof(T)))), size_(size) {
        if (!elements_ && size > 0) {
            throw std::bad_alloc();
        }
    }

    [[nodiscard]] std::size_t size() const { return size_; }
    T& operator[](std::size_t at) { return elements_.get()[at]; }
    const T& operator[](std::size_t at) const { return elements_.get()[at]; }

  private:
    struct Free {
        // NOLINTNEXTLINE(cppcoreguidelines-no-malloc)
        void operator()(T* elements) const { std::free(elements); }
    };
    std::unique_ptr<T, Free> elements_;
    std::size_t size_;
};

}  // namespace rqs::util
