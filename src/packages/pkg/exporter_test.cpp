// SPDX-License-Identifier: BSD-2-Clause
#include "pkg/exporter.h"

#include <gtest/gtest.h>
#include <linux/bpf.h>

#include <cstring>

#include "bpfkit/handles.h"

namespace rqs::pkg {
namespace {

/// The event of the seed's runqslower, and a map that carries it.
class Exports : public ::testing::Test {
  protected:
    Exports() {
        btf* types = types_.get();
        const int character = btf__add_int(types, "char", 1, BTF_INT_SIGNED);
        const int number = btf__add_int(types, "int", 4, BTF_INT_SIGNED);
        const int wide = btf__add_int(types, "unsigned long long", 8, 0);
        const int name = btf__add_array(types, number, character, 16);
        event_ = btf__add_struct(types, "event", 48);
        btf__add_field(types, "task", name, 0, 0);
        btf__add_field(types, "prev_task", name, 128, 0);
        btf__add_field(types, "delta_us", wide, 256, 0);
        btf__add_field(types, "pid", number, 320, 0);
        btf__add_field(types, "prev_pid", number, 352, 0);
        slots_ = btf__add_array(types, number, number, 4);
        hist_ = btf__add_struct(types, "hist", 32);
        btf__add_field(types, "slots", slots_, 0, 0);
        btf__add_field(types, "comm", name, 128, 0);
        number_ = number;
        meta_.maps.resize(1);
        meta_.maps[0].name = meta_.maps[0].ident = "events";
        meta_.export_types = {{"event",
                               {{"task", "char[16]"},
                                {"prev_task", "char[16]"},
                                {"delta_us", "unsigned long long"},
                                {"pid", "int"},
                                {"prev_pid", "int"}},
                               48,
                               static_cast<std::uint32_t>(event_)}};
        shape_.name = "events";
        shape_.type = BPF_MAP_TYPE_PERF_EVENT_ARRAY;
        shape_.key_size = shape_.value_size = 4;
    }

    [[nodiscard]] Result<std::vector<Export>> find() const {
        return find_exports(meta_, types_.get(), {shape_});
    }

    static std::string event_bytes(std::string_view task) {
        std::string bytes(48, '\0');
        std::memcpy(bytes.data(), task.data(), task.size());
        std::memcpy(bytes.data() + 16, "swapper/0", 9);
        bytes[32] = 32;
        bytes[40] = 42;
        return bytes;
    }

    void sample(SampleKind kind) {
        meta_.maps[0].sample = SampleMeta{1000, kind, "usecs", false};
        shape_.type = BPF_MAP_TYPE_HASH;
        shape_.value_size = 32;
        shape_.key_type_id = static_cast<std::uint32_t>(number_);
        shape_.value_type_id = static_cast<std::uint32_t>(hist_);
    }

    bpfkit::BtfPtr types_{btf__new_empty()};
    int event_ = 0;
    int hist_ = 0;
    int slots_ = 0;
    int number_ = 0;
    Meta meta_;
    MapShape shape_;
};

TEST_F(Exports, PrintTheSeedsLines) {
    const auto exports = find();
    ASSERT_TRUE(exports) << exports.error().message;
    const Formatter formatter(false, false);
    std::string out;
    formatter.append_heading(out, exports->front());
    EXPECT_TRUE(
        formatter.append_event(out, exports->front(), event_bytes("gnome-shell"), "20:11:59"));
    EXPECT_EQ(out,
              "time task prev_task delta_us pid prev_pid\n"
              "20:11:59 gnome-shell swapper/0 32 42 0\n");
}

TEST_F(Exports, PrintJson) {
    const auto exports = find();
    const Formatter formatter(true, false);
    std::string out;
    formatter.append_heading(out, exports->front());
    formatter.append_event(out, exports->front(), event_bytes("a\"\x1b"), "20:11:59");
    formatter.append_loss(out, exports->front(), 7);
    EXPECT_EQ(out,
              "{\"time\":\"20:11:59\",\"task\":\"a\\\"\\u001b\",\"prev_task\":\"swapper/0\","
              "\"delta_us\":32,\"pid\":42,\"prev_pid\":0}\n"
              "{\"lost\":7,\"map\":\"events\"}\n");
}

TEST_F(Exports, HostileNamesStayOnTheirLine) {
    const auto exports = find();
    std::string out;
    Formatter(false, false).append_event(out, exports->front(), event_bytes("\x1b[31m\nroot"), "t");
    EXPECT_EQ(out, "t \\x1b[31m\\x0aroot swapper/0 32 42 0\n");
}

TEST_F(Exports, AnEmptyTextIsAColumn) {
    const auto exports = find();
    ASSERT_TRUE(exports);
    std::string out;
    Formatter(false, false).append_event(out, exports->front(), event_bytes(""), "t");
    EXPECT_EQ(out, "t - swapper/0 32 42 0\n");
    out.clear();
    Formatter(true, false).append_event(out, exports->front(), event_bytes(""), "t");
    EXPECT_NE(out.find("\"task\":\"\""), std::string::npos) << out;
}

TEST_F(Exports, ShortEventsAreNotShown) {
    const auto exports = find();
    std::string out;
    EXPECT_FALSE(
        Formatter(false, false).append_event(out, exports->front(), std::string(47, 'x'), "t"));
    EXPECT_EQ(out, "");
    EXPECT_TRUE(
        Formatter(false, false).append_event(out, exports->front(), std::string(56, '\0'), "t"))
        << "perf buffers pad";
}

TEST_F(Exports, TypesThatDisagreeAreRefused) {
    const Meta good = meta_;
    meta_.export_types[0].size = 40;
    EXPECT_FALSE(find());
    meta_ = good;
    meta_.export_types[0].name = "another";
    EXPECT_FALSE(find());
    meta_ = good;
    meta_.export_types[0].members.pop_back();
    EXPECT_FALSE(find());
    meta_ = good;
    meta_.export_types[0].members[1].name = "other";
    EXPECT_FALSE(find());
    meta_ = good;
    meta_.export_types[0].type_id = 9999;
    EXPECT_FALSE(find());
    meta_ = good;
    meta_.maps[0].name = "missing";
    EXPECT_FALSE(find());
    EXPECT_FALSE(find_exports(good, nullptr, {shape_})) << "no BTF at all";
}

TEST_F(Exports, WithoutATypeShowTheBytes) {
    meta_.export_types.clear();
    const auto exports = find();
    ASSERT_TRUE(exports);
    std::string out;
    Formatter(false, false)
        .append_event(out, exports->front(), std::string_view("\x01\xff", 2), "t");
    Formatter(true, false)
        .append_event(out, exports->front(), std::string_view("\x01\xff", 2), "t");
    EXPECT_EQ(out, "t 01ff\n{\"time\":\"t\",\"value\":\"01ff\"}\n");
}

TEST_F(Exports, SampledMapsAreColumns) {
    sample(SampleKind::key_value);
    const auto exports = find();
    ASSERT_TRUE(exports) << exports.error().message;
    std::string value(32, '\0');
    value[0] = 5;
    std::memcpy(value.data() + 16, "init", 4);
    std::string out;
    const Formatter formatter(false, false);
    formatter.append_heading(out, exports->front());
    formatter.append_entry(out, exports->front(), std::string_view("\x2a\0\0\0", 4), value, "t");
    EXPECT_EQ(out, "time key slots comm\nt 42 [5,0,0,0] init\n");
}

TEST_F(Exports, SampledMapsAreHistograms) {
    sample(SampleKind::log2_histogram);
    const auto exports = find();
    ASSERT_TRUE(exports) << exports.error().message;
    std::string value(32, '\0');
    value[4] = 5;
    std::memcpy(value.data() + 16, "init", 4);
    std::string out;
    const Formatter formatter(false, false);
    formatter.append_heading(out, exports->front());
    formatter.append_entry(out, exports->front(), std::string_view("\x2a\0\0\0", 4), value, "t");
    EXPECT_EQ(out,
              "key = 42\ncomm = init\n"
              "     usecs               : count    distribution\n"
              "         0 -> 1          : 0        |                                        |\n"
              "         2 -> 3          : 5        |****************************************|\n\n");
    shape_.value_type_id = static_cast<std::uint32_t>(event_);
    shape_.value_size = 48;
    EXPECT_FALSE(find()) << "nothing to draw";
}

TEST_F(Exports, ValuesSmallerThanTheirTypeAreRefused) {
    sample(SampleKind::key_value);
    shape_.value_size = 31;
    EXPECT_FALSE(find());
    shape_.value_size = 32;
    shape_.key_size = 2;
    EXPECT_FALSE(find());
}

TEST_F(Exports, SeveralMapsAreToldApart) {
    meta_.multiple_export = true;
    EXPECT_TRUE(find()->empty()) << "only what asks for it";
    meta_.maps[0].export_config.kind = ExportKind::by_type_id;
    meta_.maps[0].export_config.type_id = static_cast<std::uint32_t>(event_);
    meta_.maps.push_back(meta_.maps[0]);
    meta_.maps[0].name = "others";
    MapShape other = shape_;
    other.name = "others";
    const auto exports = find_exports(meta_, types_.get(), {shape_, other});
    ASSERT_TRUE(exports);
    ASSERT_EQ(exports->size(), 2U);
    std::string out;
    Formatter(false, true).append_heading(out, exports->back());
    Formatter(false, true).append_event(out, exports->back(), event_bytes("a"), "t");
    EXPECT_EQ(out,
              "time events task prev_task delta_us pid prev_pid\nt events a swapper/0 32 42 0\n");
}

TEST_F(Exports, NoNameStandsTwiceInAnObject) {
    btf* types = types_.get();
    event_ = btf__add_struct(types, "event", 48);
    std::uint32_t at = 0;
    for (const char* name : {"time", "read_time", "map"}) {
        btf__add_field(types, name, number_, at, 0);
        at += 32;
    }
    meta_.export_types = {{"event",
                           {{"time", "int"}, {"read_time", "int"}, {"map", "int"}},
                           48,
                           static_cast<std::uint32_t>(event_)}};
    const auto exports = find();
    ASSERT_TRUE(exports) << exports.error().message;
    std::string out;
    Formatter(true, true).append_event(out, exports->front(), std::string(48, '\0'), "t");
    EXPECT_EQ(out,
              "{\"read_read_time\":\"t\",\"read_map\":\"events\",\"time\":0,\"read_time\":0,"
              "\"map\":0}\n");
}

TEST_F(Exports, CustomMembersHaveTheirPlaces) {
    meta_.multiple_export = true;
    meta_.maps[0].export_config.kind = ExportKind::custom_members;
    meta_.maps[0].export_config.members = {{"second", 4, static_cast<std::uint32_t>(number_)}};
    const auto exports = find();
    ASSERT_TRUE(exports) << exports.error().message;
    std::string out;
    Formatter(false, false)
        .append_event(out, exports->front(), std::string_view("\1\0\0\0\2\0\0\0", 8), "t");
    EXPECT_EQ(out, "t 2\n");
    meta_.maps[0].export_config.members[0].type_id = 777;
    EXPECT_FALSE(find());
}

}  // namespace
}  // namespace rqs::pkg
