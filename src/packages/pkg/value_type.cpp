// SPDX-License-Identifier: BSD-2-Clause
#include "pkg/value_type.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <map>

#include "pkg/limits.h"
#include "util/safe_text.h"
#include "util/text.h"

namespace rqs::pkg {
namespace {

std::string name_of(const btf* types, std::uint32_t offset) {
    const char* name = btf__name_by_offset(types, offset);
    return name == nullptr ? std::string() : std::string(name);
}

Result<ValueTypePtr> finish(ValueType type) {
    if (type.kind == ValueKind::text || type.kind == ValueKind::bytes) {
        type.leaves += type.size / 64;
    }
    if (type.size > limits::event_bytes || type.leaves > limits::type_leaves) {
        return fail(fmt::format("type {} is too large to print", util::printable(type.name)));
    }
    return std::make_shared<const ValueType>(std::move(type));
}

std::uint32_t bits_of(const ValueMember& member) {
    return member.bit_size != 0 ? member.bit_size : member.type->size * 8;
}

/// Adds `member` to `record` after checking that it lies within.
Status add_member(ValueType& record, ValueMember member) {
    const std::uint64_t end = std::uint64_t{member.bit_offset} + bits_of(member);
    if (end > std::uint64_t{record.size} * 8) {
        return fail(fmt::format("member {} lies outside struct {}", util::printable(member.name),
                                util::printable(record.name)));
    }
    const bool whole_bytes = member.bit_offset % 8 == 0;
    const ValueKind kind = member.type->kind;
    const bool scalar =
        kind == ValueKind::integer || kind == ValueKind::boolean || kind == ValueKind::enumeration;
    if ((member.bit_size != 0 || !whole_bytes) && (!scalar || bits_of(member) > 64)) {
        return fail(
            fmt::format("member {} is no possible bit field", util::printable(member.name)));
    }
    if (!whole_bytes && member.bit_size == 0) {
        member.bit_size = member.type->size * 8;
    }
    record.leaves += member.type->leaves;
    record.members.push_back(std::move(member));
    return {};
}

class Builder {
  public:
    explicit Builder(const btf* types) : types_(types) {}

    Result<ValueTypePtr> build(std::uint32_t id, std::uint32_t depth) {
        if (const auto known = known_.find(id); known != known_.end()) {
            return known->second;
        }
        if (depth > limits::type_depth) {
            return fail(fmt::format("a type nests deeper than {} levels", limits::type_depth));
        }
        const btf_type* type = id == 0 ? nullptr : btf__type_by_id(types_, id);
        if (type == nullptr) {
            return fail(fmt::format("the object's BTF has no type {}", id));
        }
        auto built = build_kind(*type, id, depth);
        if (built) {
            known_[id] = *built;
        }
        return built;
    }

  private:
    Result<ValueTypePtr> build_kind(const btf_type& type, std::uint32_t id, std::uint32_t depth) {
        switch (btf_kind(&type)) {
            case BTF_KIND_TYPEDEF:
            case BTF_KIND_VOLATILE:
            case BTF_KIND_CONST:
            case BTF_KIND_RESTRICT:
            case BTF_KIND_TYPE_TAG:
            case BTF_KIND_VAR:
                return build(type.type, depth + 1);
            case BTF_KIND_INT:
                return integer(type);
            case BTF_KIND_FLOAT:
                return floating(type);
            case BTF_KIND_PTR: {
                ValueType out;
                out.kind = ValueKind::pointer;
                out.size = 8;
                return finish(std::move(out));
            }
            case BTF_KIND_ENUM:
            case BTF_KIND_ENUM64:
                return enumeration(type);
            case BTF_KIND_ARRAY:
                return array(*btf_array(&type), depth);
            case BTF_KIND_STRUCT:
            case BTF_KIND_UNION:
                return record(type, depth);
            default:
                return fail(fmt::format("type {} of the object's BTF has no value to print", id));
        }
    }

    [[nodiscard]] Result<ValueTypePtr> integer(const btf_type& type) const {
        ValueType out;
        const auto encoding = btf_int_encoding(&type);
        out.kind = (encoding & BTF_INT_BOOL) != 0 ? ValueKind::boolean : ValueKind::integer;
        out.is_signed = (encoding & BTF_INT_SIGNED) != 0;
        out.size = type.size;
        out.name = name_of(types_, type.name_off);
        return finish(std::move(out));
    }

    static Result<ValueTypePtr> floating(const btf_type& type) {
        ValueType out;
        // long double (16 bytes) has no portable layout: its bytes are shown.
        out.kind = type.size == 4 || type.size == 8 ? ValueKind::floating : ValueKind::bytes;
        out.size = type.size;
        return finish(std::move(out));
    }

    [[nodiscard]] Result<ValueTypePtr> enumeration(const btf_type& type) const {
        ValueType out;
        out.kind = ValueKind::enumeration;
        out.size = type.size;
        out.name = name_of(types_, type.name_off);
        if (out.size != 1 && out.size != 2 && out.size != 4 && out.size != 8) {
            return fail(fmt::format("enum {} has an impossible size", util::printable(out.name)));
        }
        const bool wide = btf_is_enum64(&type);
        out.is_signed = btf_kflag(&type);
        const std::uint16_t count = btf_vlen(&type);
        for (std::uint16_t i = 0; i < count; ++i) {
            if (wide) {
                const auto& entry = btf_enum64(&type)[i];
                out.enumerators.push_back({name_of(types_, entry.name_off),
                                           static_cast<std::int64_t>(btf_enum64_value(&entry))});
            } else {
                const auto& entry = btf_enum(&type)[i];
                out.enumerators.push_back({name_of(types_, entry.name_off), entry.val});
            }
        }
        // Older compilers do not tell the sign: then a negative enumerator does.
        out.is_signed =
            out.is_signed || (!wide && std::any_of(out.enumerators.begin(), out.enumerators.end(),
                                                   [](const auto& e) { return e.value < 0; }));
        return finish(std::move(out));
    }

    Result<ValueTypePtr> array(const struct btf_array& array, std::uint32_t depth) {
        auto element = build(array.type, depth + 1);
        if (!element) {
            return element;
        }
        const std::uint64_t size = std::uint64_t{(*element)->size} * array.nelems;
        if (size > limits::event_bytes) {
            return fail("an array is too large to print");
        }
        ValueType out;
        out.size = static_cast<std::uint32_t>(size);
        if ((*element)->kind == ValueKind::integer && (*element)->size == 1 &&
            (*element)->name == "char") {
            out.kind = ValueKind::text;
            return finish(std::move(out));
        }
        out.kind = ValueKind::array;
        out.element = *element;
        out.count = (*element)->size == 0 ? 0 : array.nelems;
        out.leaves = 1 + std::uint64_t{out.count} * (*element)->leaves;
        return finish(std::move(out));
    }

    Result<ValueTypePtr> record(const btf_type& type, std::uint32_t depth) {
        ValueType out;
        out.kind = ValueKind::record;
        out.size = type.size;
        out.name = name_of(types_, type.name_off);
        const std::uint16_t count = btf_vlen(&type);
        for (std::uint16_t i = 0; i < count; ++i) {
            const btf_member& member = btf_members(&type)[i];
            auto member_type = build(member.type, depth + 1);
            if (!member_type) {
                return member_type;
            }
            const auto added = add_member(
                out, {name_of(types_, member.name_off), *member_type,
                      btf_member_bit_offset(&type, i), btf_member_bitfield_size(&type, i)});
            if (!added) {
                return tl::unexpected(added.error());
            }
        }
        return finish(std::move(out));
    }

    const btf* types_;
    std::map<std::uint32_t, ValueTypePtr> known_;
};

// ------------------------------------------------------------------------- C spellings of types

struct Spelling {
    std::string_view name;
    ValueKind kind;
    std::uint32_t size;
    bool is_signed;
};

// x86-64 and arm64 alike: BPF's own idea of the types.
constexpr std::array<Spelling, 45> spellings{{
    {"char", ValueKind::integer, 1, true},
    {"signed char", ValueKind::integer, 1, true},
    {"unsigned char", ValueKind::integer, 1, false},
    {"bool", ValueKind::boolean, 1, false},
    {"_Bool", ValueKind::boolean, 1, false},
    {"short", ValueKind::integer, 2, true},
    {"unsigned short", ValueKind::integer, 2, false},
    {"int", ValueKind::integer, 4, true},
    {"unsigned", ValueKind::integer, 4, false},
    {"unsigned int", ValueKind::integer, 4, false},
    {"long", ValueKind::integer, 8, true},
    {"unsigned long", ValueKind::integer, 8, false},
    {"long long", ValueKind::integer, 8, true},
    {"unsigned long long", ValueKind::integer, 8, false},
    {"long long unsigned int", ValueKind::integer, 8, false},
    {"long unsigned int", ValueKind::integer, 8, false},
    {"__int128", ValueKind::integer, 16, true},
    {"unsigned __int128", ValueKind::integer, 16, false},
    {"float", ValueKind::floating, 4, true},
    {"double", ValueKind::floating, 8, true},
    {"pid_t", ValueKind::integer, 4, true},
    {"uid_t", ValueKind::integer, 4, false},
    {"gid_t", ValueKind::integer, 4, false},
    {"__u8", ValueKind::integer, 1, false},
    {"__u16", ValueKind::integer, 2, false},
    {"__u32", ValueKind::integer, 4, false},
    {"__u64", ValueKind::integer, 8, false},
    {"__s8", ValueKind::integer, 1, true},
    {"__s16", ValueKind::integer, 2, true},
    {"__s32", ValueKind::integer, 4, true},
    {"__s64", ValueKind::integer, 8, true},
    {"u8", ValueKind::integer, 1, false},
    {"u16", ValueKind::integer, 2, false},
    {"u32", ValueKind::integer, 4, false},
    {"u64", ValueKind::integer, 8, false},
    {"s8", ValueKind::integer, 1, true},
    {"s16", ValueKind::integer, 2, true},
    {"s32", ValueKind::integer, 4, true},
    {"s64", ValueKind::integer, 8, true},
    {"uint8_t", ValueKind::integer, 1, false},
    {"uint16_t", ValueKind::integer, 2, false},
    {"uint32_t", ValueKind::integer, 4, false},
    {"uint64_t", ValueKind::integer, 8, false},
    {"__uint128_t", ValueKind::integer, 16, false},
    {"__int128_t", ValueKind::integer, 16, true},
}};

std::optional<ValueType> scalar_from_spelling(std::string_view name) {
    ValueType out;
    if (!name.empty() && name.back() == '*') {
        out.kind = ValueKind::pointer;
        out.size = 8;
        return out;
    }
    if (name.rfind("enum ", 0) == 0) {
        out.kind = ValueKind::integer;
        out.size = 4;
        out.is_signed = true;
        return out;
    }
    const auto found = std::find_if(spellings.begin(), spellings.end(),
                                    [&](const Spelling& entry) { return entry.name == name; });
    if (found == spellings.end()) {
        return std::nullopt;
    }
    out.kind = found->kind;
    out.size = found->size;
    out.is_signed = found->is_signed;
    return out;
}

/// "type" or "type [n]"; nothing for what is not understood.
std::optional<ValueType> type_from_spelling(std::string_view spelling) {
    const auto bracket = spelling.find('[');
    auto element = scalar_from_spelling(util::trim(spelling.substr(0, bracket)));
    if (!element || bracket == std::string_view::npos) {
        return element;
    }
    std::uint32_t count = 0;
    const std::string_view digits = util::trim(spelling.substr(bracket + 1));
    const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), count);
    const std::string_view rest = digits.substr(static_cast<std::size_t>(end - digits.data()));
    if (error == std::errc::invalid_argument || rest != "]") {
        return std::nullopt;
    }
    ValueType out;
    // Longer than any event: it fits nowhere, which is what its user will say.
    const bool absurd = error != std::errc{} || count > limits::event_bytes / element->size;
    count = absurd ? limits::event_bytes / element->size + 1 : count;
    out.size = count * element->size;
    if (util::trim(spelling.substr(0, bracket)) == "char") {
        out.kind = ValueKind::text;
        return out;
    }
    out.kind = ValueKind::array;
    out.count = count;
    out.leaves = 1 + count;
    out.element = std::make_shared<const ValueType>(*element);
    return out;
}

}  // namespace

Result<ValueTypePtr> value_type_from_btf(const btf* types, std::uint32_t id) {
    return Builder(types).build(id, 0);
}

std::uint32_t find_struct(const btf* types, const std::string& name) {
    const std::int32_t id = btf__find_by_name_kind(types, name.c_str(), BTF_KIND_STRUCT);
    return id > 0 ? static_cast<std::uint32_t>(id) : 0;
}

namespace {

/// Whether field `i` of `size` bytes overlaps with the one behind it, unless both start at one
/// place as those of a union do.
bool reaches_next(const LegacyStruct& fields, std::size_t i, std::uint32_t size) {
    if (i + 1 == fields.fields.size()) {
        return false;
    }
    const std::uint64_t start = fields.fields[i].bit_offset;
    const std::uint64_t next = fields.fields[i + 1].bit_offset;
    return next > start && start + std::uint64_t{size} * 8 > next;
}

}  // namespace

Result<ValueTypePtr> value_type_from_older(const LegacyStruct& fields) {
    ValueType out;
    out.kind = ValueKind::record;
    out.size = fields.size;
    out.name = fields.name;
    for (std::size_t i = 0; i < fields.fields.size(); ++i) {
        const LegacyField& field = fields.fields[i];
        auto type = type_from_spelling(util::trim(field.type));
        if (!type) {
            // A type that only its own header knew: its bytes reach to the next field.
            const std::uint32_t end =
                i + 1 < fields.fields.size() ? fields.fields[i + 1].bit_offset : fields.size * 8;
            if (end < field.bit_offset) {
                return fail(fmt::format("field {} lies outside struct {}",
                                        util::printable(field.name), util::printable(out.name)));
            }
            type = ValueType{};
            type->size = (end - field.bit_offset) / 8;
        }
        const bool array = type->kind == ValueKind::array || type->kind == ValueKind::text;
        if (array && reaches_next(fields, i, type->size)) {
            return fail(fmt::format("field {} of struct {} reaches into the next",
                                    util::printable(field.name), util::printable(out.name)));
        }
        const auto added = add_member(
            out,
            {field.name, std::make_shared<const ValueType>(std::move(*type)), field.bit_offset, 0});
        if (!added) {
            return tl::unexpected(added.error());
        }
    }
    return finish(std::move(out));
}

ValueTypePtr value_type_from_spelling(std::string_view spelling) {
    auto type = type_from_spelling(util::trim(spelling));
    return type ? std::make_shared<const ValueType>(std::move(*type)) : nullptr;
}

bool may_be_spelled(const ValueType& type, std::string_view spelling) {
    // An enum's size is not in its spelling.
    const auto spelled =
        type.kind == ValueKind::enumeration ? nullptr : value_type_from_spelling(spelling);
    if (spelled == nullptr) {
        return true;
    }
    const auto is_text = [](const ValueType& one) { return one.kind == ValueKind::text; };
    const auto is_array = [](const ValueType& one) { return one.kind == ValueKind::array; };
    return spelled->size == type.size && is_text(*spelled) == is_text(type) &&
           is_array(*spelled) == is_array(type) && spelled->count == type.count &&
           type.kind != ValueKind::record;
}

namespace {

/// Bytes that two members share are one too many: eunomia's runtime refuses them too.
Status check_apart(std::vector<ValueMember> members) {
    std::sort(members.begin(), members.end(),
              [](const auto& a, const auto& b) { return a.bit_offset < b.bit_offset; });
    std::uint64_t end_bits = 0;
    for (const auto& member : members) {
        if (member.bit_offset < end_bits) {
            return fail(fmt::format("member {} overlaps another", util::printable(member.name)));
        }
        end_bits = member.bit_offset + std::uint64_t{8} * member.type->size;
    }
    return {};
}

}  // namespace

Result<ValueTypePtr> value_type_from_members(const btf* types,
                                             const std::vector<CustomMember>& members) {
    ValueType out;
    out.kind = ValueKind::record;
    Builder builder(types);
    std::vector<ValueMember> built;
    for (const auto& member : members) {
        auto type = builder.build(member.type_id, 0);
        if (!type) {
            return type;
        }
        const std::uint64_t end = std::uint64_t{member.offset} + (*type)->size;
        if (end > limits::event_bytes) {
            return fail(fmt::format("member {} lies too far out", util::printable(member.name)));
        }
        out.size = std::max(out.size, static_cast<std::uint32_t>(end));
        built.push_back({member.name, *type, member.offset * 8, 0});
    }
    if (const auto apart = check_apart(built); !apart) {
        return tl::unexpected(apart.error());
    }
    for (auto& member : built) {
        if (const auto added = add_member(out, std::move(member)); !added) {
            return tl::unexpected(added.error());
        }
    }
    return finish(std::move(out));
}

ValueTypePtr opaque_type(std::uint32_t size) {
    ValueType out;
    out.size = size;
    return std::make_shared<const ValueType>(std::move(out));
}

}  // namespace rqs::pkg
