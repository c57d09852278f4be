// SPDX-License-Identifier: BSD-2-Clause
#include "bpfkit/type_table.h"

#include <fmt/format.h>

#include <cstring>
#include <optional>

#include "bpfkit/btf_layout.h"

namespace rqs::bpfkit {
namespace {

constexpr unsigned resolve_depth = 32;

struct Sections {
    std::span<const std::byte> types;
    std::string_view strings;
};

std::optional<Sections> find_sections(std::span<const std::byte> bytes) {
    btf_header header{};
    if (bytes.size() < sizeof(header)) {
        return std::nullopt;
    }
    std::memcpy(&header, bytes.data(), sizeof(header));
    if (header.magic != BTF_MAGIC || header.hdr_len < sizeof(header) ||
        header.hdr_len > bytes.size()) {
        return std::nullopt;
    }
    const auto rest = bytes.subspan(header.hdr_len);
    const auto fits = [&](std::uint64_t offset, std::uint64_t length) {
        return offset + length <= rest.size();
    };
    if (!fits(header.type_off, header.type_len) || !fits(header.str_off, header.str_len) ||
        (header.hdr_len + header.type_off) % alignof(btf_type) != 0) {
        return std::nullopt;
    }
    const auto strings = rest.subspan(header.str_off, header.str_len);
    if (strings.empty() || strings.back() != std::byte{0}) {
        return std::nullopt;
    }
    return Sections{rest.subspan(header.type_off, header.type_len),
                    {reinterpret_cast<const char*>(strings.data()), strings.size()}};
}

}  // namespace

Result<TypeTable> TypeTable::parse(std::span<const std::byte> bytes) {
    const auto sections = find_sections(bytes);
    if (!sections) {
        return fail("the type information (BTF) is damaged");
    }
    constexpr std::size_t typical_type_bytes = 24;
    TypeTable table;
    table.strings_ = sections->strings;
    table.types_ = sections->types;
    table.at_.reserve(sections->types.size() / typical_type_bytes);
    table.at_.push_back(0);
    auto rest = sections->types;
    while (!rest.empty()) {
        if (rest.size() < sizeof(btf_type)) {
            return fail("the type information (BTF) is cut short");
        }
        const auto* type = reinterpret_cast<const btf_type*>(rest.data());
        const auto tail = btf_tail_bytes(btf_kind(type), btf_vlen(type));
        if (!tail) {
            return fail(
                fmt::format("the type information (BTF) has types of kind {}, which this "
                            "version does not know",
                            btf_kind(type)));
        }
        if (rest.size() - sizeof(btf_type) < *tail) {
            return fail("the type information (BTF) is cut short");
        }
        table.at_.push_back(static_cast<std::uint32_t>(sections->types.size() - rest.size()));
        rest = rest.subspan(sizeof(btf_type) + *tail);
    }
    return table;
}

std::string_view TypeTable::name(std::uint32_t offset) const {
    // The strings end with a zero: what begins inside them ends inside them.
    return offset < strings_.size() ? std::string_view(strings_.data() + offset)
                                    : std::string_view{};
}

std::uint32_t TypeTable::resolve(std::uint32_t id) const {
    for (unsigned depth = 0; depth < resolve_depth; ++depth) {
        const btf_type* at = type(id);
        if (at == nullptr) {
            return 0;
        }
        if (!btf_is_mod(at) && !btf_is_typedef(at)) {
            return id;
        }
        id = at->type;
    }
    return 0;
}

}  // namespace rqs::bpfkit
