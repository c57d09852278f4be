// SPDX-License-Identifier: BSD-2-Clause
#include "util/text.h"

#include "util/safe_text.h"

namespace rqs::util {

std::string_view trim(std::string_view text, std::string_view blanks) {
    const std::size_t first = text.find_first_not_of(blanks);
    if (first == std::string_view::npos) {
        return {};
    }
    return text.substr(first, text.find_last_not_of(blanks) - first + 1);
}

std::string in_quotes(std::string_view word) {
    return word.empty() ? "an empty word" : "'" + printable(word) + "'";
}

bool is_below(std::string_view path, std::string_view directory) {
    while (!directory.empty() && directory.back() == '/') {
        directory.remove_suffix(1);
    }
    return path.substr(0, directory.size()) == directory &&
           (path.size() == directory.size() || path[directory.size()] == '/');
}

}  // namespace rqs::util
