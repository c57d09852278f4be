// SPDX-License-Identifier: BSD-2-Clause
// Packages whose metadata says something else than their object: one line, exit 1.
#include <gtest/gtest.h>

#include <algorithm>
#include <functional>
#include <nlohmann/json.hpp>

#include "live.h"

namespace rqs::pkgtest {
namespace {

using nlohmann::json;

/// The example with one thing changed, as far as ecli goes without privileges.
void expect_refused(const std::string& because, const std::function<void(json& meta)>& change,
                    const std::string& package = package_of("runqslower")) {
    json content = json::parse(read_file(package));
    change(content["meta"]);
    const Outcome outcome = run({ecli(), "run", "-", "--version"}, {content.dump()});
    EXPECT_EQ(outcome.code, 1) << because;
    EXPECT_EQ(outcome.out, "") << because;
    EXPECT_EQ(std::count(outcome.err.begin(), outcome.err.end(), '\n'), 1) << outcome.err;
    EXPECT_EQ(outcome.err.rfind("ecli: bad package: ", 0), 0U) << outcome.err;
    EXPECT_NE(outcome.err.find(because), std::string::npos) << outcome.err;
}

json& member(json& meta, const std::string& name) {
    for (auto& one : meta["export_types"][0]["members"]) {
        if (one["name"] == name) {
            return one;
        }
    }
    throw std::runtime_error("no member " + name);
}

TEST(Lies, TheExampleItselfIsFine) {
    const Outcome outcome =
        run({ecli(), "run", "-", "--version"}, {read_file(package_of("runqslower"))});
    EXPECT_EQ(outcome.code, 0) << outcome.err;
}

TEST(Lies, AboutTypes) {
    expect_refused("task that is no char[17]",
                   [](json& meta) { member(meta, "task")["type"] = "char[17]"; });
    expect_refused("task that is no unsigned char[16]",
                   [](json& meta) { member(meta, "task")["type"] = "unsigned char[16]"; });
    expect_refused("pid that is no long long",
                   [](json& meta) { member(meta, "pid")["type"] = "long long"; });
    expect_refused("pid that is no int[1]",
                   [](json& meta) { member(meta, "pid")["type"] = "int[1]"; });
    expect_refused("other members", [](json& meta) { member(meta, "pid")["name"] = "pit"; });
    expect_refused("other members",
                   [](json& meta) { meta["export_types"][0]["members"].erase(0); });
    expect_refused("no struct of its object",
                   [](json& meta) { meta["export_types"][0]["type_id"] = 1; });
}

TEST(Lies, AboutVariables) {
    expect_refused("variable min_us is no int", [](json& meta) {
        for (auto& variable : meta["bpf_skel"]["data_sections"][0]["variables"]) {
            if (variable["name"] == "min_us") {
                variable["type"] = "int";
            }
        }
    });
}

TEST(Lies, AboutPrograms) {
    expect_refused("no program gone",
                   [](json& meta) { meta["bpf_skel"]["progs"][0]["name"] = "gone"; });
    expect_refused("of its object, not xdp",
                   [](json& meta) { meta["bpf_skel"]["progs"][0]["attach"] = "xdp"; });
    expect_refused("lists program", [](json& meta) {
        auto& progs = meta["bpf_skel"]["progs"];
        progs.push_back(progs[0]);
    });
}

TEST(Lies, AboutMaps) {
    expect_refused("no map gone", [](json& meta) { meta["bpf_skel"]["maps"][0]["name"] = "gone"; });
    expect_refused("lists map", [](json& meta) {
        auto& maps = meta["bpf_skel"]["maps"];
        maps.push_back(maps[0]);
    });
    expect_refused("cannot be sampled", [](json& meta) {
        meta["bpf_skel"]["maps"][0]["sample"] = {{"interval", 100}};
    });
    expect_refused(
        "no array \"slots\"",
        [](json& meta) {
            meta["enable_multiple_export_types"] = true;
            for (auto& map : meta["bpf_skel"]["maps"]) {
                if (map.contains("sample")) {
                    map["export_config"] = {
                        {"custom_members", {{{"name", "x"}, {"offset", 0}, {"btf_type_id", 1}}}}};
                }
            }
        },
        package_of("runqlat"));
}

}  // namespace
}  // namespace rqs::pkgtest
