// SPDX-License-Identifier: BSD-2-Clause
// BTF as bytes, walked once: for the running kernel's types, of which there are a hundred thousand
// and of which a program looks into a dozen.
#pragma once

#include <bpf/btf.h>

#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

#include "util/error.h"

namespace rqs::bpfkit {

/// Views the bytes, which must outlive it. Every type that it hands out is whole: its members,
/// values or parameters lie inside the bytes.
class TypeTable {
  public:
    /// `bytes`: a struct btf_header, types and strings, as /sys/kernel/btf/vmlinux has them, at an
    /// address that is a multiple of four. Fails on what is none or of a kind not known here.
    static Result<TypeTable> parse(std::span<const std::byte> bytes);

    /// How many types there are, void (id 0) included.
    [[nodiscard]] std::uint32_t size() const { return static_cast<std::uint32_t>(at_.size()); }
    /// The type of that id; nullptr for void and for an id that there is not.
    [[nodiscard]] const btf_type* type(std::uint32_t id) const {
        return id != 0 && id < at_.size()
                   ? reinterpret_cast<const btf_type*>(types_.subspan(at_[id]).data())
                   : nullptr;
    }
    /// A name; empty where the offset is none.
    [[nodiscard]] std::string_view name(std::uint32_t offset) const;
    /// The first character of a name; 0 where there is none. Cheap.
    [[nodiscard]] char first_letter(std::uint32_t offset) const {
        return offset < strings_.size() ? strings_[offset] : '\0';
    }
    /// The type behind typedefs and qualifiers; 0 for void, or where they go round in circles.
    [[nodiscard]] std::uint32_t resolve(std::uint32_t id) const;

  private:
    TypeTable() = default;

    std::string_view strings_;
    std::span<const std::byte> types_;
    std::vector<std::uint32_t> at_;  // where in types_ each begins
};

}  // namespace rqs::bpfkit
