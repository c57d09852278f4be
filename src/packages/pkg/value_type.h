// SPDX-License-Identifier: BSD-2-Clause
// The shape of a value as the printer needs it: sizes, offsets and names, all checked against each
// other, so that printing needs nothing but `size` bytes.
#pragma once

#include <bpf/btf.h>

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "pkg/meta.h"
#include "util/error.h"

namespace rqs::pkg {

struct ValueType;
using ValueTypePtr = std::shared_ptr<const ValueType>;

enum class ValueKind {
    integer,
    boolean,
    floating,
    enumeration,
    pointer,
    text,  ///< an array of char
    array,
    record,  ///< struct or union
    bytes,   ///< unknown: shown as hex digits
};

struct Enumerator {
    std::string name;
    std::int64_t value = 0;
};

struct ValueMember {
    std::string name;  ///< empty for an anonymous struct or union
    ValueTypePtr type;
    std::uint32_t bit_offset = 0;
    std::uint32_t bit_size = 0;  ///< 0: not a bit field
};

struct ValueType {
    ValueKind kind = ValueKind::bytes;
    std::uint32_t size = 0;  ///< bytes
    bool is_signed = false;
    std::string name;  ///< of a struct, union or enum
    std::vector<Enumerator> enumerators;
    std::vector<ValueMember> members;
    ValueTypePtr element;
    std::uint32_t count = 0;   ///< of an array
    std::uint64_t leaves = 1;  ///< how many scalars printing it prints
};

/// The shape of BTF type `id`; typedefs and qualifiers are looked through. Fails on types that
/// have no value (functions, forward declarations), on members that lie outside their struct, and
/// on types too large or too deep to print (limits.h).
Result<ValueTypePtr> value_type_from_btf(const btf* types, std::uint32_t id);

/// The id of the struct called `name`, 0 if there is none.
std::uint32_t find_struct(const btf* types, const std::string& name);

/// The shape of a struct of the older format, from the C spelling of its fields' types.
Result<ValueTypePtr> value_type_from_older(const LegacyStruct& fields);

/// The shape that a C spelling such as "unsigned int" or "char[16]" stands for, or nullptr if it is
/// not known without the program: a struct, a typedef, an array of arrays.
ValueTypePtr value_type_from_spelling(std::string_view spelling);

/// Whether `spelling`, as far as it is known, can be that of `type`: same size, and text, arrays
/// and scalars are not mixed up.
bool may_be_spelled(const ValueType& type, std::string_view spelling);

/// A struct made of members at given places, as "custom_members" has them.
Result<ValueTypePtr> value_type_from_members(const btf* types,
                                             const std::vector<CustomMember>& members);

/// `size` bytes that nothing is known of.
ValueTypePtr opaque_type(std::uint32_t size);

}  // namespace rqs::pkg
