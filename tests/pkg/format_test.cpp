// SPDX-License-Identifier: BSD-2-Clause
// Every package that ecc writes is what a reader of the format asks for, field by field. The format
// stands in format.jsonc; EUNOMIA_ASSETS=DIR (reference_test.cpp) checks the same against eunomia's
// own files.
#include <gtest/gtest.h>

#include <functional>
#include <map>
#include <utility>

#include "format_check.h"
#include "program.h"

namespace rqs::pkgtest {
namespace {

using nlohmann::json;
using Lines = std::vector<std::string>;

FormatCheck format() {
    return FormatCheck(read_file(RQS_FORMAT));
}

json compiled(const Words& sources) {
    Words words{ecc()};
    words.insert(words.end(), sources.begin(), sources.end());
    words.insert(words.end(), {"-o", "-"});
    const Outcome outcome = run(words);
    EXPECT_EQ(outcome.code, 0) << outcome.err;
    return json::parse(outcome.out, nullptr, false);
}

Words program(const std::string& name, bool header) {
    const std::string path = std::string(RQS_PROGRAMS "/") + name;
    return header ? Words{path + ".bpf.c", path + ".h"} : Words{path + ".bpf.c"};
}

/// The package of kinds.bpf.c, which has everything.
const json& kinds() {
    static const json package = compiled(program("kinds", true));
    return package;
}

const std::map<std::string, Words>& all_sources() {
    static const std::map<std::string, Words> out{
        {"runqslower", {RQS_EXAMPLES "/runqslower"}}, {"runqlat", {RQS_EXAMPLES "/runqlat"}},
        {"iterator", program("iterator", false)},     {"percpu", program("percpu", false)},
        {"refused", program("refused", false)},       {"several", program("several", false)}};
    return out;
}

void expect_sound(const json& package, const std::string& name) {
    EXPECT_EQ(format().complaints("package", package), Lines{}) << name;
    EXPECT_EQ(object_complaints(package), Lines{}) << name;
}

TEST(Format, PackagesHaveItsFieldsAndFitTheirObjects) {
    for (const auto& [name, sources] : all_sources()) {
        expect_sound(compiled(sources), name);
    }
    for (const char* name : {"runqslower", "runqlat"}) {
        const std::string path = std::string(RQS_PACKAGES "/") + name + "/package.json";
        expect_sound(json::parse(read_file(path)), path);
    }
    expect_sound(kinds(), "kinds");
}

/// What eunomia's runtime cannot show is known, and nothing else is wrong with such a package.
TEST(Format, OnlyBitFieldsAreBeyondEunomiasRuntime) {
    const json package = compiled(program("types", true));
    EXPECT_EQ(format().complaints("package", package), Lines{});
    EXPECT_EQ(object_complaints(package), (Lines{"export type everything has a bit field: bits",
                                                 "export type everything has a bit field: sign"}));
}

TEST(Format, EveryFieldAndEveryWordIsWritten) {
    FormatCheck check = format();
    EXPECT_EQ(check.complaints("package", kinds()), Lines{});
    // These steer eunomia's runtime and are written by hand.
    const std::set<std::string> never{"meta.debug_verbose", "meta.perf_buffer_pages",
                                      "meta.perf_buffer_time_ms", "meta.poll_timeout_ms",
                                      "meta.print_header"};
    EXPECT_EQ(check.unseen(), never);
}

/// Calls `change` with each object of a package, and its place, while it may be changed.
void each_object(json& value, const std::function<void(json&)>& change) {
    if (value.is_object()) {
        change(value);
    }
    for (auto& child : value) {
        if (child.is_structured()) {
            each_object(child, change);
        }
    }
}

/// The checker is to be believed: whatever is changed in an object, it says so. Returns how many
/// changes were tried.
std::size_t try_changes(FormatCheck& check, const json& package, json& object) {
    const json good = object;
    for (const auto& [key, value] : good.items()) {
        for (const json& wrong : {json::array({json::array()}), json()}) {
            object[key] = wrong;
            EXPECT_NE(check.complaints("package", package), Lines{}) << key;
        }
        object = good;
    }
    object["unheard_of"] = 1;
    EXPECT_NE(check.complaints("package", package), Lines{});
    object = good;
    return 2 * good.size() + 1;
}

TEST(Format, EveryWrongFieldIsFound) {
    FormatCheck check = format();
    json package = kinds();
    std::size_t changes = 0;
    each_object(package, [&](json& object) { changes += try_changes(check, package, object); });
    EXPECT_GT(changes, 200U);
    EXPECT_EQ(check.complaints("package", package), Lines{});
}

std::size_t needed_fields(const json& shape) {
    std::size_t count = 0;
    for (const auto& [key, rule] : shape.items()) {
        count += key.back() == '?' ? 0U : 1U;
    }
    return count;
}

TEST(Format, EveryMissingFieldIsFound) {
    FormatCheck check = format();
    std::size_t needed = 0;
    for (const auto& [name, shape] : check.shapes().items()) {
        EXPECT_EQ(check.complaints(name, json::object()).size(), needed_fields(shape)) << name;
        needed += needed_fields(shape);
    }
    EXPECT_GT(needed, 25U);
}

TEST(Format, WhatDoesNotFitTheObjectIsFound) {
    const std::vector<std::function<void(json&)>> changes{
        [](json& p) { p["bpf_object_size"] = p["bpf_object_size"].get<int>() + 1; },
        [](json& p) { p["meta"]["bpf_skel"]["maps"][0]["name"] = "other"; },
        [](json& p) { p["meta"]["bpf_skel"]["maps"][0]["ident"] = "other"; },
        [](json& p) { p["meta"]["bpf_skel"]["maps"].erase(0); },
        [](json& p) { p["meta"]["bpf_skel"]["progs"][0]["name"] = "other"; },
        [](json& p) { p["meta"]["bpf_skel"]["progs"][0]["attach"] = "tp"; },
        [](json& p) { p["meta"]["bpf_skel"]["progs"].erase(0); },
        [](json& p) { p["meta"]["bpf_skel"]["data_sections"][0]["variables"].erase(0); },
        [](json& p) { p["meta"]["bpf_skel"]["data_sections"][0]["name"] = ".bss"; },
        [](json& p) { p["meta"]["bpf_skel"]["obj_name"] = "other"; },
        [](json& p) { p["meta"]["export_types"][0]["type_id"] = 1; },
        [](json& p) { p["meta"]["export_types"][0]["size"] = 1; },
        [](json& p) { p["meta"]["export_types"][0]["name"] = "other"; },
        [](json& p) { p["meta"]["export_types"][0]["members"].erase(0); },
        [](json& p) { p["meta"]["export_types"][0]["members"][0]["name"] = "other"; },
        [](json& p) {
            p["meta"].erase("enable_multiple_export_types");
            p["meta"].erase("export_types");
        },
        [](json& p) { p["meta"]["bpf_skel"]["maps"][0].erase("sample"); },
        [](json& p) {
            p["meta"]["bpf_skel"]["maps"][0]["export_config"] = {{"btf_type_id", 999'999}};
        }};
    for (std::size_t i = 0; i < changes.size(); ++i) {
        json package = kinds();
        changes[i](package);
        EXPECT_NE(object_complaints(package), Lines{}) << "change " << i;
    }
}

}  // namespace
}  // namespace rqs::pkgtest
