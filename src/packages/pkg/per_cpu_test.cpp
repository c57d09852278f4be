// SPDX-License-Identifier: BSD-2-Clause
#include "pkg/per_cpu.h"

#include <gtest/gtest.h>

#include <cstring>

namespace rqs::pkg {
namespace {

ValueTypePtr scalar(ValueKind kind, std::uint32_t size) {
    ValueType type;
    type.kind = kind;
    type.size = size;
    return std::make_shared<const ValueType>(std::move(type));
}

ValueTypePtr array_of(const ValueTypePtr& element, std::uint32_t count) {
    ValueType type;
    type.kind = ValueKind::array;
    type.element = element;
    type.count = count;
    type.size = element->size * count;
    return std::make_shared<const ValueType>(std::move(type));
}

ValueType record(std::uint32_t size, std::vector<ValueMember> members) {
    ValueType type;
    type.kind = ValueKind::record;
    type.size = size;
    type.members = std::move(members);
    return type;
}

TEST(PerCpuSum, AddsIntegersOfAllSizes) {
    const auto type = record(16, {{"wide", scalar(ValueKind::integer, 8), 0, 0},
                                  {"two", array_of(scalar(ValueKind::integer, 4), 2), 64, 0}});
    const PerCpuSum sum(type);
    EXPECT_TRUE(sum.always());
    std::string a("\xff\0\0\0\0\0\0\0\1\0\0\0\xff\xff\xff\xff", 16);
    const std::string b("\1\0\0\0\0\0\0\0\2\0\0\0\1\0\0\0", 16);
    EXPECT_TRUE(sum.add(a.data(), b.data()));
    EXPECT_EQ(a, std::string("\0\1\0\0\0\0\0\0\3\0\0\0\0\0\0\0", 16));
}

TEST(PerCpuSum, CarriesInto128Bits) {
    const PerCpuSum sum(*scalar(ValueKind::integer, 16));
    std::string a(8, '\xff');
    a.resize(16, '\0');
    std::string one(16, '\0');
    one[0] = 1;
    EXPECT_TRUE(sum.add(a.data(), one.data()));
    EXPECT_EQ(a, std::string(8, '\0') + '\1' + std::string(7, '\0'));
}

TEST(PerCpuSum, AddsFloatingPointNumbers) {
    const PerCpuSum sum(*scalar(ValueKind::floating, 8));
    double a = 1.5;
    const double b = 0.25;
    std::string bytes(8, '\0');
    std::string more(8, '\0');
    std::memcpy(bytes.data(), &a, 8);
    std::memcpy(more.data(), &b, 8);
    EXPECT_TRUE(sum.add(bytes.data(), more.data()));
    std::memcpy(&a, bytes.data(), 8);
    EXPECT_EQ(a, 1.75);
}

TEST(PerCpuSum, LabelsMustAgree) {
    for (const auto& type :
         {scalar(ValueKind::text, 4), scalar(ValueKind::bytes, 4),
          array_of(scalar(ValueKind::integer, 1), 4), scalar(ValueKind::enumeration, 4)}) {
        const PerCpuSum sum(*type);
        EXPECT_FALSE(sum.always());
        std::string a(4, '\0');
        EXPECT_TRUE(sum.add(a.data(), "ab\0\0"));
        EXPECT_TRUE(sum.add(a.data(), "ab\0\0"));
        EXPECT_TRUE(sum.add(a.data(), "\0\0\0\0"));
        EXPECT_EQ(a, std::string("ab\0\0", 4));
        EXPECT_FALSE(sum.add(a.data(), "ac\0\0"));
    }
}

TEST(PerCpuSum, BitFieldsAreLabels) {
    const auto type = record(4, {{"low", scalar(ValueKind::integer, 4), 0, 3},
                                 {"high", scalar(ValueKind::integer, 4), 3, 5}});
    const PerCpuSum sum(type);
    EXPECT_FALSE(sum.always());
    std::string a("\x11\0\0\0", 4);
    EXPECT_TRUE(sum.add(a.data(), "\x11\0\0\0"));
    EXPECT_FALSE(sum.add(a.data(), "\x12\0\0\0"));
}

TEST(PerCpuSum, SharedBytesAreAddedOnce) {
    const auto type = record(4, {{"either", scalar(ValueKind::integer, 4), 0, 0},
                                 {"other", scalar(ValueKind::integer, 4), 0, 0}});
    std::string a("\1\0\0\0", 4);
    EXPECT_TRUE(PerCpuSum(type).add(a.data(), "\2\0\0\0"));
    EXPECT_EQ(a, std::string("\3\0\0\0", 4));
}

}  // namespace
}  // namespace rqs::pkg
