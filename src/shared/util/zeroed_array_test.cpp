// SPDX-License-Identifier: BSD-2-Clause
#include "util/zeroed_array.h"

#include <gtest/gtest.h>
#include <sys/mman.h>
#include <unistd.h>

#include <cstdint>
#include <vector>

namespace rqs::util {
namespace {

/// Pages of the array that are in memory.
std::size_t pages_in_memory(const ZeroedArray<std::uint64_t>& array) {
    const auto page = static_cast<std::uintptr_t>(::getpagesize());
    const auto start = (reinterpret_cast<std::uintptr_t>(&array[0]) + page - 1) / page * page;
    const std::size_t bytes = array.size() * sizeof(std::uint64_t) - 2 * page;
    std::vector<unsigned char> pages(bytes / page + 1);
    if (::mincore(reinterpret_cast<void*>(start), bytes, pages.data()) != 0) {
        return SIZE_MAX;
    }
    std::size_t count = 0;
    for (const unsigned char each : pages) {
        count += each & 1U;
    }
    return count;
}

TEST(ZeroedArray, TakesMemoryWhereItIsWrittenTo) {
    constexpr std::size_t huge = 512;  // where the kernel makes huge pages of these
    ZeroedArray<std::uint64_t> array(4U << 20);
    EXPECT_LE(pages_in_memory(array), huge);
    array[1U << 20] = 7;
    array[3U << 20] = 8;
    EXPECT_LE(pages_in_memory(array), 3 * huge);
    EXPECT_EQ(array[0], 0U);
    EXPECT_EQ(array[1U << 20], 7U);
    EXPECT_EQ(array[array.size() - 1], 0U);
}

}  // namespace
}  // namespace rqs::util
