// SPDX-License-Identifier: BSD-2-Clause
// The reader against packages good and bad. RQS_EXAMPLE_PACKAGE is the one that the build made.
#include "pkg/package.h"

#include <elf.h>
#include <gtest/gtest.h>

#include <cstring>
#include <fstream>
#include <iterator>

#include "pkg/deflate.h"
#include "pkg/limits.h"
#include "pkg/object_check.h"

namespace rqs::pkg {
namespace {

std::string example_text() {
    std::ifstream file(RQS_EXAMPLE_PACKAGE, std::ios::binary);
    return {std::istreambuf_iterator<char>(file), {}};
}

Json example() {
    return Json::parse(example_text());
}

const Bytes& example_object() {
    static const Bytes object = read_package(example_text())->object;
    return object;
}

/// The one-line error of a package that must be refused.
std::string refusal(const std::string& text) {
    const auto package = read_package(text);
    if (package) {
        return "it was accepted";
    }
    EXPECT_EQ(package.error().code, ExitCode::failure);
    EXPECT_EQ(package.error().message.find('\n'), std::string::npos);
    return package.error().message;
}

void expect_refused(const Json& json, std::string_view because) {
    const std::string why = refusal(json.dump());
    EXPECT_NE(why.find(because), std::string::npos) << why;
}

Json with_object(const Bytes& object) {
    Json json = example();
    json["bpf_object"] = base64_encode(*deflate(object));
    json["bpf_object_size"] = object.size();
    return json;
}

TEST(Package, OfTheBuildIsRead) {
    const auto package = read_package(example_text());
    ASSERT_TRUE(package) << package.error().message;
    EXPECT_EQ(package->meta.obj_name, "runqslower_bpf");
    EXPECT_EQ(package->meta.format, FormatVersion::current);
    ASSERT_EQ(package->meta.export_types.size(), 1U);
    EXPECT_EQ(package->meta.export_types[0].name, "event");
    EXPECT_EQ(package->meta.export_types[0].size, 48U);
    ASSERT_EQ(package->meta.sections.size(), 2U);
    EXPECT_EQ(package->meta.sections[0].variables[0].name, "min_us");
    EXPECT_NE(package->meta.find_map("events"), nullptr);
    ASSERT_NE(package->meta.find_prog("handle_sched_switch"), nullptr);
    EXPECT_EQ(package->meta.find_prog("handle_sched_switch")->attach, "tp_btf/sched_switch");
}

TEST(Package, IsTheSameFromYaml) {
    const Json json = example();
    const auto back = yaml_to_json(to_yaml(json));
    ASSERT_TRUE(back) << back.error().message;
    EXPECT_EQ(*back, json);
    EXPECT_TRUE(read_package(to_yaml(json)));
}

TEST(Package, OlderFormatsAreRead) {
    Json older = Json::object();
    older["name"] = "template";
    older["data_sz"] = example_object().size();
    std::string wrapped = base64_encode(example_object());
    for (std::size_t at = 76; at < wrapped.size(); at += 77) {
        wrapped.insert(at, "\n");
    }
    older["data"] = wrapped;
    older["maps"] = {
        {{"name", "events"},
         {"type", "BPF_MAP_TYPE_PERF_EVENT_ARRAY"},
         {"export_data_types",
          {{"Struct Name", "event"},
           {"Size", 384},
           {"Fields", {{{"Name", "task"}, {"Type", "char [16]"}, {"FieldOffset", 0}}}}}}}};
    older["progs"] = {{{"name", "handle_sched_switch"}}};
    auto package = read_package(older.dump());
    ASSERT_TRUE(package) << package.error().message;
    EXPECT_EQ(package->meta.format, FormatVersion::older);
    EXPECT_EQ(package->object, example_object());
    ASSERT_TRUE(package->meta.maps[0].legacy);
    EXPECT_EQ(package->meta.maps[0].legacy->size, 48U);

    Json prefixed = Json::object();
    for (const auto& [key, value] : older.items()) {
        prefixed["ebpf_" + key] = value;
    }
    package = read_package(prefixed.dump());
    ASSERT_TRUE(package) << package.error().message;
    EXPECT_EQ(package->meta.obj_name, "template");

    // The first of all had only names.
    older["maps"] = {"events"};
    older["progs"] = {"handle_sched_switch"};
    package = read_package(older.dump());
    ASSERT_TRUE(package) << package.error().message;
    EXPECT_EQ(package->meta.maps[0].name, "events");
}

TEST(Package, WhatIsNoPackageIsRefused) {
    for (const char* text : {"", "  \n", "hello", "[1,2]", "{", "{}", "null", "{\"bpf_object\":}",
                             "\x7f"
                             "ELF",
                             "- a\n- b\n", "a: *b\n", "a: &b c\n\tx", "%YAML 9.9\n---\n{"}) {
        EXPECT_FALSE(refusal(text).empty());
        EXPECT_FALSE(read_package(text)) << text;
    }
    EXPECT_NE(refusal(std::string(1000, '[')).find("nests deeper"), std::string::npos);
    EXPECT_NE(refusal("{\"a\":" + std::string(100'000, '[')).find("nests deeper"),
              std::string::npos);
    EXPECT_NE(refusal("{\"a\":[" + std::string(100'000, ',') + "]}").find("values"),
              std::string::npos);
}

TEST(Package, WrongObjectsAreRefused) {
    Json json = example();
    json["bpf_object"] = "no base64!";
    expect_refused(json, "base64");
    json["bpf_object"] = base64_encode({1, 2, 3, 4});
    expect_refused(json, "zlib");
    json["bpf_object"] = 5;
    expect_refused(json, "bpf_object");
    json = example();
    json["bpf_object_size"] = 17;
    expect_refused(json, "larger than the 17 bytes");
    json["bpf_object_size"] = example_object().size() + 1;
    expect_refused(json, "states");
    for (const Json& size : {Json(0), Json(-1), Json(1.5), Json("9"), Json(UINT64_MAX)}) {
        json["bpf_object_size"] = size;
        expect_refused(json, "bpf_object_size");
    }
}

TEST(Package, BombsAreBounded) {
    const Bytes zeros(limits::object_bytes * 4, 0);
    Json json = example();
    json["bpf_object"] = base64_encode(*deflate(zeros));
    json["bpf_object_size"] = limits::object_bytes;
    expect_refused(json, "larger than");
    json.erase("bpf_object_size");
    expect_refused(json, "larger than");
}

TEST(Package, UnknownVersionsAreRefused) {
    Json json = example();
    json["meta"]["eunomia_version"] = "1.0.0";
    expect_refused(json, "version 1.0.0 is unknown");
    json["meta"]["eunomia_version"] = "0.9.99";
    EXPECT_TRUE(read_package(json.dump()));
    json["meta"].erase("eunomia_version");
    EXPECT_TRUE(read_package(json.dump()));
}

TEST(Package, WrongMetadataIsRefused) {
    const std::pair<const char*, Json> changes[] = {
        {"/meta/bpf_skel", nullptr},
        {"/meta/bpf_skel/maps", 7},
        {"/meta/bpf_skel/maps/0", "x"},
        {"/meta/bpf_skel/maps/0/name", 3},
        {"/meta/bpf_skel/maps/0/sample", Json{{"interval", 0}}},
        {"/meta/bpf_skel/maps/0/sample", Json{{"interval", 10}, {"type", "pie"}}},
        {"/meta/bpf_skel/maps/0/export_config", "maybe"},
        {"/meta/bpf_skel/maps/0/intepreter", "dance"},
        {"/meta/bpf_skel/data_sections/0/variables/0/cmdarg", "x"},
        {"/meta/bpf_skel/data_sections/0/variables/0/cmdarg", Json{{"short", "xy"}}},
        {"/meta/bpf_skel/data_sections/0/variables/0/value", Json::array()},
        {"/meta/bpf_skel/obj_name", nullptr},
        {"/meta/export_types/0/size", -4},
        {"/meta/export_types/0/type_id", 0},
        {"/meta/perf_buffer_pages", 1u << 30},
        {"/meta/bpf_skel/progs/0/name", std::string("a\0b", 3)},
    };
    for (const auto& [place, value] : changes) {
        Json json = example();
        json[Json::json_pointer(place)] = value;
        const std::string why = refusal(json.dump());
        EXPECT_EQ(why.rfind("bad package", 0), 0U) << place << ": " << why;
    }
}

TEST(Package, CutShortAnywhereIsRefused) {
    const std::string text = example_text();
    const std::size_t end = text.find_last_of('}');
    for (std::size_t size = 0; size <= end; size += size < 200 ? 1 : 97) {
        EXPECT_FALSE(read_package(text.substr(0, size))) << size;
    }
}

TEST(Object, CutShortAnywhereIsRefused) {
    // The section table is an object's last part: without its last byte nothing is left of it.
    const Bytes& object = example_object();
    for (std::size_t size = 0; size < object.size(); size += 61) {
        EXPECT_FALSE(check_object(Bytes(object.begin(), object.begin() + static_cast<long>(size))));
    }
    EXPECT_FALSE(check_object(Bytes(object.begin(), object.end() - 1)));
    EXPECT_TRUE(check_object(object));
}

TEST(Object, TablesThatLieAreRefused) {
    Elf64_Ehdr header{};
    std::memcpy(&header, example_object().data(), sizeof(header));
    for (std::size_t i = 1; i < header.e_shnum; ++i) {
        Bytes object = example_object();
        Elf64_Shdr section{};
        std::uint8_t* place = object.data() + header.e_shoff + i * sizeof(section);
        std::memcpy(&section, place, sizeof(section));
        if (section.sh_type == SHT_NOBITS) {
            continue;
        }
        Elf64_Shdr changed = section;
        changed.sh_offset = UINT64_MAX - 3;
        std::memcpy(place, &changed, sizeof(changed));
        EXPECT_FALSE(check_object(object)) << "offset of section " << i;
        changed = section;
        changed.sh_size = UINT64_MAX;
        std::memcpy(place, &changed, sizeof(changed));
        EXPECT_FALSE(check_object(object)) << "size of section " << i;
        changed = section;
        changed.sh_name = UINT32_MAX;
        std::memcpy(place, &changed, sizeof(changed));
        EXPECT_FALSE(check_object(object)) << "name of section " << i;
    }
}

TEST(Object, IsFoundBySection) {
    EXPECT_EQ(section_content(example_object(), "license"), std::string_view("Dual BSD/GPL\0", 13));
    EXPECT_TRUE(section_content(example_object(), ".nothing").empty());
}

TEST(Object, FlippedBytesNeverHarm) {
    // Whatever becomes of it: accepted or refused, but never read beyond its end (sanitizers).
    for (std::size_t at = 0; at < example_object().size(); at += 7) {
        Bytes object = example_object();
        object[at] = static_cast<std::uint8_t>(object[at] ^ 0xffU);
        (void)check_object(object);
    }
}

TEST(Package, WithAnotherObjectIsRefused) {
    expect_refused(with_object(Bytes(64, 0)), "ELF");
    Bytes foreign = example_object();
    foreign[18] = EM_X86_64;
    expect_refused(with_object(foreign), "not a relocatable BPF object");
}

}  // namespace
}  // namespace rqs::pkg
