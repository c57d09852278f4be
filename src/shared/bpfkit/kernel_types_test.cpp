// SPDX-License-Identifier: BSD-2-Clause
#include "bpfkit/kernel_types.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <array>
#include <cstring>
#include <optional>
#include <vector>

#include "bpfkit/type_table.h"

namespace rqs::bpfkit {
namespace {

using testing::HasSubstr;

std::span<const std::byte> bytes_of(const btf& types) {
    std::uint32_t length = 0;
    const void* data = btf__raw_data(&types, &length);
    return {static_cast<const std::byte*>(data), length};
}

struct Place {
    std::uint32_t bit_offset;
    std::uint64_t bytes;
};

// Where libbpf sees a member, through structs and unions without a name.
std::optional<Place> find(const btf& types, std::uint32_t id, std::string_view name) {
    const btf_type* type = btf__type_by_id(&types, id);
    for (unsigned i = 0; i < btf_vlen(type); ++i) {
        const btf_member& member = btf_members(type)[i];
        const std::uint32_t offset = btf_member_bit_offset(type, i);
        const std::string_view found = btf__name_by_offset(&types, member.name_off);
        if (found == name) {
            return Place{offset,
                         static_cast<std::uint64_t>(btf__resolve_size(&types, member.type))};
        }
        const auto inner = static_cast<std::uint32_t>(btf__resolve_type(&types, member.type));
        if (found.empty() && btf_is_composite(btf__type_by_id(&types, inner))) {
            if (const auto place = find(types, inner, name)) {
                return Place{offset + place->bit_offset, place->bytes};
            }
        }
    }
    return std::nullopt;
}

std::optional<Place> find(const btf& types, const char* structure, std::string_view name) {
    const int id = btf__find_by_name_kind(&types, structure, BTF_KIND_STRUCT);
    return id > 0 ? find(types, static_cast<std::uint32_t>(id), name) : std::nullopt;
}

// struct inner { int a; int b; };
// struct task { const long state; union { struct inner in; void* other; }; char comm[16]; };
struct Kernel {
    BtfPtr types{btf__new_empty()};
    int task = 0;

    Kernel() {
        btf* t = types.get();
        const int integer = btf__add_int(t, "int", 4, BTF_INT_SIGNED);
        const int wide = btf__add_int(t, "long", 8, BTF_INT_SIGNED);
        const int letter = btf__add_int(t, "char", 1, 0);
        const int constant = btf__add_const(t, wide);
        const int text = btf__add_array(t, integer, letter, 16);
        const int pointer = btf__add_ptr(t, 0);
        const int inner = btf__add_struct(t, "inner", 8);
        btf__add_field(t, "a", integer, 0, 0);
        btf__add_field(t, "b", integer, 32, 0);
        const int either = btf__add_union(t, nullptr, 8);
        btf__add_field(t, "in", inner, 0, 0);
        btf__add_field(t, "other", pointer, 0, 0);
        btf__add_struct(t, "unwanted", 4);
        btf__add_field(t, "a", integer, 0, 0);
        task = btf__add_struct(t, "task", 32);
        btf__add_field(t, "state", constant, 0, 0);
        btf__add_field(t, nullptr, either, 64, 0);
        btf__add_field(t, "comm", text, 128, 0);
        btf__add_typedef(t, "btf_trace_switch", pointer);
    }
};

// What an object asks for: struct task { in, comm, gone }, struct inner { b }.
struct Object {
    BtfPtr types{btf__new_empty()};

    Object() {
        btf* t = types.get();
        const int integer = btf__add_int(t, "int", 4, BTF_INT_SIGNED);
        const int inner = btf__add_struct(t, "inner", 4);
        btf__add_field(t, "b", integer, 0, 0);
        btf__add_struct(t, "task", 16);
        btf__add_field(t, "in", inner, 0, 0);
        btf__add_field(t, "comm", integer, 32, 0);
        btf__add_field(t, "gone", integer, 64, 0);
    }
};

TEST(SelectTypes, TakesTheNamedMembersWhereTheKernelHasThem) {
    const Kernel kernel;
    const Object object;
    const std::vector<std::string> hooks{"btf_trace_switch", "btf_trace_none"};
    const auto found = select_types(bytes_of(*kernel.types), *object.types, hooks);
    ASSERT_TRUE(found) << found.error().message;
    const btf& types = *found->structs;
    const auto in = find(types, "task", "in");
    ASSERT_TRUE(in);
    EXPECT_EQ(in->bit_offset, 64U);
    EXPECT_EQ(in->bytes, 8U);
    EXPECT_EQ(find(types, "inner", "b")->bit_offset, 32U);
    EXPECT_EQ(find(types, "task", "comm")->bit_offset, 128U);
    EXPECT_EQ(find(types, "task", "comm")->bytes, 16U);
    EXPECT_FALSE(find(types, "task", "gone"));
    EXPECT_FALSE(find(types, "task", "state")) << "nobody asked for it";
    EXPECT_FALSE(find(types, "inner", "a")) << "nobody asked for it";
    EXPECT_LT(btf__find_by_name(&types, "unwanted"), 0);
}

TEST(SelectTypes, FindsTheIdsOfHooks) {
    const Kernel kernel;
    const Object object;
    const std::vector<std::string> hooks{"btf_trace_switch", "btf_trace_none"};
    const auto found = select_types(bytes_of(*kernel.types), *object.types, hooks);
    ASSERT_TRUE(found);
    ASSERT_EQ(found->hooks.size(), 1U);
    EXPECT_EQ(found->hooks.at("btf_trace_switch"),
              btf__find_by_name(kernel.types.get(), "btf_trace_switch"));
}

TEST(SelectTypes, AStructInsideItselfEnds) {
    const BtfPtr kernel(btf__new_empty());
    btf__add_struct(kernel.get(), "task", 32);
    btf__add_field(kernel.get(), nullptr, 1, 0, 0);
    btf__add_field(kernel.get(), nullptr, 1, 64, 0);
    const Object object;
    EXPECT_TRUE(select_types(bytes_of(*kernel), *object.types, {}));
}

TEST(TypeTable, RefusesWhatIsCutShortOrUnknown) {
    const Kernel kernel;
    const auto whole = bytes_of(*kernel.types);
    EXPECT_TRUE(TypeTable::parse(whole));
    for (std::size_t length = 0; length < whole.size(); ++length) {
        EXPECT_FALSE(TypeTable::parse(whole.first(length))) << length;
    }
    std::vector<std::byte> odd(whole.begin(), whole.end());
    constexpr std::size_t kind_of_first_type = sizeof(btf_header) + 7;
    odd.at(kind_of_first_type) = std::byte{31};
    const auto refused = TypeTable::parse(odd);
    ASSERT_FALSE(refused);
    EXPECT_THAT(refused.error().message, HasSubstr("kind 31"));
}

// The same places as libbpf finds in all of the kernel's types.
TEST(SelectTypes, AgreesWithLibbpfOnThisKernel) {
    const auto all = KernelBtf::map();
    const BtfPtr kernel(btf__load_vmlinux_btf());
    if (!all || !kernel) {
        GTEST_SKIP() << "this kernel has no BTF that may be read";
    }
    const BtfPtr object(btf__new_empty());
    constexpr std::array members{"pid", "comm", "se", "sched_info", "cgroups", "prio"};
    const int integer = btf__add_int(object.get(), "int", 4, 0);
    btf__add_struct(object.get(), "task_struct", 64);
    for (std::uint32_t i = 0; i < members.size(); ++i) {
        btf__add_field(object.get(), members.at(i), integer, i * 32, 0);
    }
    const std::vector<std::string> hooks{"btf_trace_sched_switch"};
    const auto found = select_types(all->bytes(), *object, hooks);
    ASSERT_TRUE(found) << found.error().message;
    for (const char* member : members) {
        const auto ours = find(*found->structs, "task_struct", member);
        const auto theirs = find(*kernel, "task_struct", member);
        ASSERT_TRUE(ours && theirs) << member;
        EXPECT_EQ(ours->bit_offset, theirs->bit_offset) << member;
        EXPECT_EQ(ours->bytes, theirs->bytes) << member;
    }
    EXPECT_EQ(found->hooks.at("btf_trace_sched_switch"),
              btf__find_by_name_kind(kernel.get(), "btf_trace_sched_switch", BTF_KIND_TYPEDEF));
}

}  // namespace
}  // namespace rqs::bpfkit
