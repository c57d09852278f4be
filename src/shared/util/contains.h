// SPDX-License-Identifier: BSD-2-Clause
#pragma once

#include <algorithm>
#include <iterator>

namespace rqs::util {

template <typename List, typename Value>
bool contains(const List& list, const Value& value) {
    return std::find(std::begin(list), std::end(list), value) != std::end(list);
}

}  // namespace rqs::util
