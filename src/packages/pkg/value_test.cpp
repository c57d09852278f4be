// SPDX-License-Identifier: BSD-2-Clause
// All C types, made with libbpf's own BTF writer, to text and JSON.
#include <gtest/gtest.h>

#include <cstring>
#include <nlohmann/json.hpp>

#include "bpfkit/handles.h"
#include "pkg/dump.h"
#include "pkg/object_check.h"
#include "pkg/value_type.h"

namespace rqs::pkg {
namespace {

class Types : public ::testing::Test {
  protected:
    int integer(const char* name, std::size_t size, int encoding = 0) {
        return btf__add_int(types_.get(), name, size, encoding);
    }

    [[nodiscard]] Result<ValueTypePtr> type(int id) const {
        return value_type_from_btf(types_.get(), static_cast<std::uint32_t>(id));
    }

    template <typename T>
    std::string text(int id, const T& value) const {
        return rendered(id, std::string(reinterpret_cast<const char*>(&value), sizeof(value)),
                        false);
    }

    template <typename T>
    std::string json(int id, const T& value) const {
        return rendered(id, std::string(reinterpret_cast<const char*>(&value), sizeof(value)),
                        true);
    }

    [[nodiscard]] std::string rendered(int id, const std::string& bytes, bool as_json) const {
        const auto built = type(id);
        if (!built) {
            return "error: " + built.error().message;
        }
        EXPECT_EQ((*built)->size, bytes.size());
        std::string out;
        as_json ? append_json(out, **built, bytes) : append_text(out, **built, bytes);
        return out;
    }

    [[nodiscard]] bool sound() const {
        std::uint32_t size = 0;
        const void* raw = btf__raw_data(types_.get(), &size);
        return check_btf({static_cast<const char*>(raw), size}).has_value();
    }

    bpfkit::BtfPtr types_{btf__new_empty()};
};

TEST_F(Types, ChosenMembersLieApart) {
    const auto number = static_cast<std::uint32_t>(integer("int", 4, BTF_INT_SIGNED));
    const auto built = [&](std::uint32_t second) {
        return value_type_from_members(types_.get(), {{"b", 8, number}, {"a", second, number}});
    };
    for (const std::uint32_t offset : {0U, 4U, 12U}) {
        EXPECT_TRUE(built(offset)) << offset;
    }
    for (const std::uint32_t offset : {5U, 8U, 11U}) {
        const auto type = built(offset);
        ASSERT_FALSE(type) << offset;
        EXPECT_NE(type.error().message.find("overlaps another"), std::string::npos);
    }
}

TEST_F(Types, Integers) {
    EXPECT_EQ(text(integer("signed char", 1, BTF_INT_SIGNED), std::int8_t{-128}), "-128");
    EXPECT_EQ(text(integer("unsigned char", 1), std::uint8_t{255}), "255");
    EXPECT_EQ(text(integer("short", 2, BTF_INT_SIGNED), std::int16_t{-1}), "-1");
    EXPECT_EQ(text(integer("int", 4, BTF_INT_SIGNED), INT32_MIN), "-2147483648");
    EXPECT_EQ(text(integer("unsigned int", 4), UINT32_MAX), "4294967295");
    EXPECT_EQ(text(integer("long", 8, BTF_INT_SIGNED), INT64_MIN), "-9223372036854775808");
    EXPECT_EQ(text(integer("unsigned long", 8), UINT64_MAX), "18446744073709551615");
}

TEST_F(Types, IntegersOf128Bits) {
    __extension__ using Int128 = __int128;
    __extension__ using Unsigned128 = unsigned __int128;
    const int wide = integer("__int128", 16, BTF_INT_SIGNED);
    const int unsigned_wide = integer("unsigned __int128", 16);
    EXPECT_EQ(text(wide, -(Int128{1} << 90)), "-1237940039285380274899124224");
    EXPECT_EQ(text(wide, static_cast<Int128>(Unsigned128{1} << 127)),
              "-170141183460469231731687303715884105728");
    EXPECT_EQ(text(unsigned_wide, (Unsigned128{1} << 127) + 10),
              "170141183460469231731687303715884105738");
    EXPECT_EQ(json(unsigned_wide, ~Unsigned128{0}), "\"340282366920938463463374607431768211455\"");
}

TEST_F(Types, BooleansAndFloats) {
    const int boolean = integer("bool", 1, BTF_INT_BOOL);
    EXPECT_EQ(text(boolean, std::uint8_t{1}), "true");
    EXPECT_EQ(json(boolean, std::uint8_t{0}), "false");
    const int real = btf__add_float(types_.get(), "double", 8);
    const int narrow = btf__add_float(types_.get(), "float", 4);
    EXPECT_EQ(text(real, 0.1), "0.1");
    EXPECT_EQ(text(narrow, 0.1F), "0.1");
    EXPECT_EQ(json(real, std::numeric_limits<double>::infinity()), "null");
    EXPECT_EQ(text(real, std::numeric_limits<double>::infinity()), "inf");
}

TEST_F(Types, EnumsByName) {
    const int color = btf__add_enum(types_.get(), "color", 4);
    btf__add_enum_value(types_.get(), "RED", 1);
    btf__add_enum_value(types_.get(), "NONE", -1);
    EXPECT_EQ(text(color, 1), "RED");
    EXPECT_EQ(json(color, -1), "\"NONE\"");
    EXPECT_EQ(text(color, 7), "7");
    EXPECT_EQ(json(color, -7), "-7");
    const int wide = btf__add_enum64(types_.get(), "wide", 8, false);
    btf__add_enum64_value(types_.get(), "HUGE", UINT64_MAX - 1);
    EXPECT_EQ(text(wide, UINT64_MAX - 1), "HUGE");
    EXPECT_EQ(text(wide, UINT64_MAX), "18446744073709551615");
}

TEST_F(Types, CharArraysAreTextAndHarmless) {
    const int character = integer("char", 1, BTF_INT_SIGNED);
    const int index = integer("int", 4, BTF_INT_SIGNED);
    const int name = btf__add_array(types_.get(), index, character, 8);
    EXPECT_EQ(rendered(name, std::string("abc\0junk", 8), false), "abc");
    EXPECT_EQ(rendered(name, "12345678", false), "12345678") << "no zero byte at all";
    EXPECT_EQ(rendered(name, std::string("\x1b[2J\"\n\0\0", 8), false), "\\x1b[2J\"\\x0a");
    const std::string as_json = rendered(name, std::string("\x1b\"\xff\0\0\0\0\0", 8), true);
    EXPECT_EQ(nlohmann::json::parse(as_json).get<std::string>(), "\x1b\"\xef\xbf\xbd");
}

TEST_F(Types, PointersArraysAndNestedStructs) {
    const int number = integer("int", 4, BTF_INT_SIGNED);
    const int pointer = btf__add_ptr(types_.get(), 0);
    EXPECT_EQ(text(pointer, std::uint64_t{0xffff888000000000}), "0xffff888000000000");
    EXPECT_EQ(json(pointer, std::uint64_t{16}), "\"0x10\"");
    const int pair = btf__add_array(types_.get(), number, number, 2);
    EXPECT_EQ(text(pair, std::array<int, 2>{1, -2}), "[1,-2]");
    const int inner = btf__add_struct(types_.get(), "inner", 8);
    btf__add_field(types_.get(), "a", number, 0, 0);
    btf__add_field(types_.get(), "b", number, 32, 0);
    const int outer = btf__add_struct(types_.get(), "outer", 16);
    btf__add_field(types_.get(), "in", inner, 0, 0);
    btf__add_field(types_.get(), "list", pair, 64, 0);
    EXPECT_EQ(json(outer, std::array<int, 4>{1, 2, 3, 4}), R"({"in":{"a":1,"b":2},"list":[3,4]})");
}

TEST_F(Types, TypedefsQualifiersAndAnonymousUnions) {
    const int number = integer("unsigned int", 4);
    const int constant = btf__add_const(types_.get(), number);
    const int named = btf__add_typedef(types_.get(), "u32", constant);
    EXPECT_EQ(text(named, 5U), "5");
    const int either = btf__add_union(types_.get(), nullptr, 4);
    btf__add_field(types_.get(), "x", named, 0, 0);
    btf__add_field(types_.get(), "y", named, 0, 0);
    const int holder = btf__add_struct(types_.get(), "holder", 8);
    btf__add_field(types_.get(), "head", named, 0, 0);
    btf__add_field(types_.get(), nullptr, either, 32, 0);
    EXPECT_EQ(json(holder, std::array<unsigned, 2>{1, 9}), R"({"head":1,"x":9,"y":9})");
}

TEST_F(Types, BitFields) {
    const int number = integer("unsigned int", 4);
    const int sign = integer("int", 4, BTF_INT_SIGNED);
    struct Flags {
        unsigned low : 3;
        int mid : 5;
        unsigned high : 24;
    };
    const int flags = btf__add_struct(types_.get(), "flags", 4);
    btf__add_field(types_.get(), "low", number, 0, 3);
    btf__add_field(types_.get(), "mid", sign, 3, 5);
    btf__add_field(types_.get(), "high", number, 8, 24);
    EXPECT_EQ(json(flags, Flags{5, -3, 0xabcdef}), R"({"low":5,"mid":-3,"high":11259375})");
}

TEST_F(Types, LiesAreRefused) {
    const int number = integer("int", 4, BTF_INT_SIGNED);
    const int small = btf__add_struct(types_.get(), "small", 4);
    btf__add_field(types_.get(), "a", number, 0, 0);
    btf__add_field(types_.get(), "beyond", number, 32, 0);
    EXPECT_FALSE(type(small)) << "a member outside its struct";
    const int huge = btf__add_array(types_.get(), number, number, 0x7fffffff);
    EXPECT_FALSE(type(huge)) << "an array without end";
    EXPECT_FALSE(type(999)) << "no such type";
    EXPECT_FALSE(type(btf__add_fwd(types_.get(), "later", BTF_FWD_STRUCT))) << "no size known";
    EXPECT_FALSE(type(btf__add_func_proto(types_.get(), 0))) << "no value";
}

TEST_F(Types, UnionsThatMultiplyAreRefused) {
    int previous = integer("int", 4, BTF_INT_SIGNED);
    for (int level = 0; level < 24; ++level) {
        const int next = btf__add_union(types_.get(), "again", 4);
        btf__add_field(types_.get(), "a", previous, 0, 0);
        btf__add_field(types_.get(), "b", previous, 0, 0);
        previous = next;
    }
    EXPECT_TRUE(sound());
    EXPECT_FALSE(type(previous)) << "2^24 values in 4 bytes";
}

TEST_F(Types, TypesThatContainThemselvesAreDamaged) {
    const int self = btf__add_typedef(types_.get(), "self", 1);
    ASSERT_EQ(self, 1);
    EXPECT_FALSE(sound());
    EXPECT_FALSE(type(self));
}

TEST_F(Types, ListsThroughPointersAreOrdinary) {
    const int node = btf__add_struct(types_.get(), "node", 8);
    btf__add_field(types_.get(), "next", node + 1, 0, 0);
    btf__add_ptr(types_.get(), node + 2);
    btf__add_typedef(types_.get(), "node_t", node);
    EXPECT_TRUE(sound());
    EXPECT_TRUE(type(node));
}

TEST_F(Types, ReferencesToNothingAreDamaged) {
    btf__add_ptr(types_.get(), 77);
    EXPECT_FALSE(sound());
}

TEST(OlderTypes, ComeFromTheirSpelling) {
    LegacyStruct fields;
    fields.name = "event";
    fields.size = 40;
    fields.fields = {{"task", "char [16]", 0},
                     {"delta", "unsigned long long", 128},
                     {"pid", "int", 192},
                     {"flag", "bool", 224},
                     {"pair", "unsigned short [2]", 240},
                     {"odd", "struct strange", 272}};
    const auto type = value_type_from_older(fields);
    ASSERT_TRUE(type) << type.error().message;
    std::string bytes(40, '\0');
    std::memcpy(bytes.data(), "swapper/0", 9);
    bytes[16] = 32;
    bytes[24] = '\xff';
    bytes[25] = bytes[26] = bytes[27] = '\xff';
    bytes[28] = 1;
    bytes[30] = 7;
    bytes[32] = 8;
    std::string out;
    append_json(out, **type, bytes);
    EXPECT_EQ(out, R"({"task":"swapper/0","delta":32,"pid":-1,"flag":true,"pair":[7,8],)"
                   R"("odd":"000000000000"})");
}

TEST(OlderTypes, MustLieWithinTheirStruct) {
    LegacyStruct fields;
    fields.size = 4;
    fields.fields = {{"a", "int", 8}};
    EXPECT_FALSE(value_type_from_older(fields));
    fields.fields = {{"a", "strange", 64}};
    EXPECT_FALSE(value_type_from_older(fields));
    for (const char* lie : {"int [2]", "char [5]", "int [4294967295]", "int [99999999999999]"}) {
        fields.fields = {{"a", lie, 0}};
        EXPECT_FALSE(value_type_from_older(fields)) << lie;
    }
    fields.fields = {{"a", "int [N]", 0}};
    EXPECT_TRUE(value_type_from_older(fields)) << "not understood: shown as the bytes there are";
}

TEST(OlderTypes, ArraysEndBeforeTheNextField) {
    LegacyStruct fields;
    fields.size = 8;
    fields.fields = {{"a", "char [5]", 0}, {"b", "int", 32}};
    EXPECT_FALSE(value_type_from_older(fields));
    fields.fields = {{"a", "char [4]", 0}, {"b", "int", 32}};
    EXPECT_TRUE(value_type_from_older(fields));
    fields.fields = {{"a", "char [8]", 0}, {"b", "int", 0}};
    EXPECT_TRUE(value_type_from_older(fields)) << "a union's members share their place";
}

TEST_F(Types, SpellingsMustFit) {
    const auto spelled = [](const ValueTypePtr& type, std::vector<const char*> fine,
                            std::vector<const char*> lies) {
        for (const char* spelling : fine) {
            EXPECT_TRUE(may_be_spelled(*type, spelling)) << spelling;
        }
        for (const char* spelling : lies) {
            EXPECT_FALSE(may_be_spelled(*type, spelling)) << spelling;
        }
    };
    spelled(value_type_from_spelling("unsigned int"), {"int", "u32", "my_type", "struct s"},
            {"char", "long", "int[1]", "char[4]"});
    spelled(value_type_from_spelling("char[16]"), {"char[16]", "char [16]", "char[LEN]"},
            {"char[15]", "char[17]", "unsigned char[16]", "__int128", "char[4294967295]"});
    spelled(value_type_from_spelling("int[4]"), {"unsigned int[4]", "int[2][2]"},
            {"int[5]", "long[2]", "char[16]", "int"});
    spelled(opaque_type(4), {"struct s", "int"}, {"char", "int[4]"});
}

}  // namespace
}  // namespace rqs::pkg
