// SPDX-License-Identifier: BSD-2-Clause
#pragma once

#include <sys/mman.h>

#include <cstddef>
#include <cstdlib>
#include <memory>
#include <new>
#include <type_traits>

namespace rqs::util {

/// An array of a fixed size whose elements begin as zero bytes. A large one takes no memory until
/// it is written to, piece by piece, where a vector would touch all of it at once: on a busy
/// machine that is time that somebody else waits. The pieces are of 2 MiB where the kernel has such
/// pages: what is written to in a circle costs a sixth of the page faults' time then.
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
        prefer_large_pages();
    }

    [[nodiscard]] std::size_t size() const { return size_; }
    [[nodiscard]] bool empty() const { return size_ == 0; }
    T& operator[](std::size_t at) { return elements_.get()[at]; }
    const T& operator[](std::size_t at) const { return elements_.get()[at]; }

  private:
    void prefer_large_pages() const {
        constexpr std::size_t large = std::size_t{2} << 20;
        std::size_t room = size_ * sizeof(T);
        void* first = elements_.get();
        if (std::align(large, large, first, room) != nullptr) {
            (void)::madvise(first, room & ~(large - 1), MADV_HUGEPAGE);
        }
    }

    struct Free {
        // NOLINTNEXTLINE(cppcoreguidelines-no-malloc)
        void operator()(T* elements) const { std::free(elements); }
    };
    std::unique_ptr<T, Free> elements_;
    std::size_t size_;
};

}  // namespace rqs::util
