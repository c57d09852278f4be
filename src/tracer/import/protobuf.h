// SPDX-License-Identifier: BSD-2-Clause
// protozero's readers over a stranger's bytes: it takes a field for what it is asked for, so that
// whoever asks must look first.
#pragma once

#include <cstdint>
#include <protozero/pbf_reader.hpp>
#include <string_view>

namespace rqs::import {

inline protozero::pbf_reader reader_of(std::string_view bytes) {
    return protozero::pbf_reader(protozero::data_view(bytes.data(), bytes.size()));
}

/// Throws one of protozero's exceptions where the field at hand is of another type.
inline void expect_type(const protozero::pbf_reader& reader, protozero::pbf_wire_type type) {
    if (reader.wire_type() != type) {
        throw protozero::unknown_pbf_wire_type_exception{};
    }
}

/// The field at hand: text, bytes or a message.
inline std::string_view view_of(protozero::pbf_reader& reader) {
    expect_type(reader, protozero::pbf_wire_type::length_delimited);
    const protozero::data_view view = reader.get_view();
    return {view.data(), view.size()};
}

inline protozero::pbf_reader message_of(protozero::pbf_reader& reader) {
    return reader_of(view_of(reader));
}

/// The field at hand: a whole number, of which a negative one has its highest bits set.
inline std::uint64_t number_of(protozero::pbf_reader& reader) {
    expect_type(reader, protozero::pbf_wire_type::varint);
    return reader.get_uint64();
}

}  // namespace rqs::import
