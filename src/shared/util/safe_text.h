// SPDX-License-Identifier: BSD-2-Clause
// Names of tasks are chosen by whoever runs them. Nothing of theirs goes out but through here.
#pragma once

#include <string>
#include <string_view>

namespace rqs::util {

/// Appends `raw` for a terminal or a text file: valid UTF-8, in which each byte of a control
/// character (C0, DEL, C1), of an invisible or direction-changing code point, or of an invalid
/// sequence stands as `\xNN`. Never fails.
void append_printable(std::string& out, std::string_view raw);
std::string printable(std::string_view raw);

/// Appends `raw` as a JSON string with its quotes: valid UTF-8, invalid bytes as U+FFFD.
void append_json_string(std::string& out, std::string_view raw);

/// `raw` as valid UTF-8 with nothing escaped: the value that append_json_string() spells, but for
/// NUL, which stands as U+FFFD as invalid bytes do: for those who end a text there.
std::string valid_utf8(std::string_view raw);

/// Appends `raw` as one RFC 4180 field: printable as above, quoted where it must be.
void append_csv_field(std::string& out, std::string_view raw);

/// The length of the valid UTF-8 sequence at the start of `text`, 0 where it is invalid.
std::size_t utf8_sequence(std::string_view text, char32_t& code_point);

}  // namespace rqs::util
