// SPDX-License-Identifier: BSD-2-Clause
#include "html/columns.h"

namespace rqs::html {

std::string base64(std::string_view bytes) {
    static constexpr std::string_view letters =
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    std::string out;
    out.reserve(base64_size(bytes.size()));
    for (std::size_t i = 0; i < bytes.size(); i += 3) {
        const std::size_t left = bytes.size() - i;
        std::uint32_t word = 0;
        for (std::size_t j = 0; j < 3; ++j) {
            word = word << 8 | (j < left ? static_cast<unsigned char>(bytes[i + j]) : 0U);
        }
        out += letters[word >> 18 & 63];
        out += letters[word >> 12 & 63];
        out += left > 1 ? letters[word >> 6 & 63] : '=';
        out += left > 2 ? letters[word & 63] : '=';
    }
    return out;
}

}  // namespace rqs::html
