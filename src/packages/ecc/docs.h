// SPDX-License-Identifier: BSD-2-Clause
// Documentation comments of a BPF source: what they say and what they stand at.
//
//     /// min duration for a process to be considered            -> "description": "min ..."
//     /// @cmdarg {"default": 0, "short": "p", "long": "pid"}     -> "cmdarg": {...}
//     const volatile int target_pid = 0;
//
// A comment belongs to the declaration that follows it (/// //! /** /*!) or, with a "<", to the
// one before. Within a paragraph, each @command names what follows it; text before any command is
// the "description". The commands that clang knows as block commands (@brief, @details, ...) keep
// their text's lines, and are always strings; the text of others is JSON if it can be read as
// such. A blank line ends what a command covers.
#pragma once

#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "pkg/meta.h"

namespace rqs::ecc {

struct Declaration {
    std::set<std::string> names;  ///< all that it may declare
    std::string comment;          ///< without its marks
};

/// The declarations of a C source that have documentation comments, in their order. The source is
/// scanned, not compiled: macros are taken as they stand.
std::vector<Declaration> documented_declarations(std::string_view source);

/// What a comment says, as an object of its fields.
pkg::Json comment_fields(std::string_view comment);

/// The fields of all comments at declarations of `name`; an empty object if there are none.
pkg::Json fields_of(const std::vector<Declaration>& declarations, const std::string& name);

/// The structs that `@event NAME` comments name, in their order: each is what the map it stands at
/// carries.
std::vector<std::string> named_events(const std::vector<Declaration>& declarations);

/// The names in `struct NAME {` of a header, in their order and outside of comments. Attributes may
/// stand before the name.
std::vector<std::string> defined_structs(std::string_view header);

}  // namespace rqs::ecc
