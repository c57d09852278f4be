// SPDX-License-Identifier: BSD-2-Clause
// protozero's readers over string views.
#pragma once

#include <protozero/pbf_reader.hpp>
#include <string_view>

namespace rqs::import {

inline protozero::pbf_reader reader_of(std::string_view bytes) {
    return protozero::pbf_reader(protozero::data_view(bytes.data(), bytes.size()));
}

/// The field at hand, of any bytes.
inline std::string_view view_of(protozero::pbf_reader& reader) {
    const protozero::data_view view = reader.get_view();
    return {view.data(), view.size()};
}

}  // namespace rqs::import
