// SPDX-License-Identifier: BSD-2-Clause
// Values as text and as JSON.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "pkg/value_type.h"

namespace rqs::pkg {

/// Appends the value in `bytes` (at least `type.size` of them). Text: integers in decimal, bool as
/// true and false, enums by name, pointers in hex, char arrays up to their zero byte with nothing
/// in them that a terminal would act on; everything nested as JSON.
void append_text(std::string& out, const ValueType& type, std::string_view bytes);

/// The same as one JSON value. 128-bit integers are strings of digits, since JSON readers would
/// round them; an enum without a name for its value is a number.
void append_json(std::string& out, const ValueType& type, std::string_view bytes);

/// One member of a record, as above.
void append_member_text(std::string& out, const ValueMember& member, std::string_view record);
void append_member_json(std::string& out, const ValueMember& member, std::string_view record);

/// `"name":value,...` of all members without the braces; anonymous ones are spread out.
void append_members_json(std::string& out, const ValueType& record, std::string_view bytes);

/// An integer, enum, bool or pointer member's value, sign-extended.
std::optional<std::int64_t> member_integer(const ValueType& record, std::string_view bytes,
                                           std::string_view name);

/// The member called `name`, or nullptr.
const ValueMember* find_member(const ValueType& record, std::string_view name);

}  // namespace rqs::pkg
