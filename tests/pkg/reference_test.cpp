// SPDX-License-Identifier: BSD-2-Clause
// Packages and metadata that others made: EUNOMIA_ASSETS=DIR names a checkout of eunomia-bpf.
#include <gtest/gtest.h>

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <nlohmann/json.hpp>
#include <sstream>

#include "expect.h"
#include "format_check.h"
#include "program.h"

namespace rqs::pkgtest {
namespace {

namespace fs = std::filesystem;
using nlohmann::json;

class Reference : public ::testing::Test {
  protected:
    void SetUp() override {
        const char* given = std::getenv("EUNOMIA_ASSETS");
        if (given == nullptr || !fs::is_directory(given)) {
            GTEST_SKIP() << "EUNOMIA_ASSETS names no checkout of eunomia-bpf";
        }
        root_ = given;
    }

    [[nodiscard]] std::vector<fs::path> files(std::string_view suffix) const {
        std::vector<fs::path> out;
        for (const auto& entry : fs::recursive_directory_iterator(root_)) {
            const std::string name = entry.path().filename().string();
            if (entry.is_regular_file() && name.size() > suffix.size() &&
                name.compare(name.size() - suffix.size(), suffix.size(), suffix) == 0) {
                out.push_back(entry.path());
            }
        }
        std::sort(out.begin(), out.end());
        return out;
    }

    fs::path root_;
};

bool is_package(const fs::path& path) {
    const json content = json::parse(read_file(path.string()), nullptr, false);
    return content.is_object() && (content.contains("bpf_object") || content.contains("data_sz"));
}

/// What a refusal is: one line of ours that names a cause, and nothing on stdout.
void expect_refusal(const fs::path& package, const Outcome& outcome) {
    SCOPED_TRACE(package.string());
    expect_one_line(outcome, 1, "ecli: ");
    EXPECT_EQ(outcome.err.rfind("ecli: ", 0), 0U);
    const std::vector<std::string> causes{
        " cannot run on this kernel: ", "bad package: ", "the package has no program"};
    EXPECT_TRUE(std::any_of(causes.begin(), causes.end(), [&](const std::string& cause) {
        const auto at = outcome.err.find(cause);
        return at != std::string::npos && outcome.err.size() > at + cause.size() + 1;
    })) << outcome.err;
}

/// What a run is: a banner, and no word on stderr that is not ours.
void expect_run(const fs::path& package, const Outcome& outcome) {
    SCOPED_TRACE(package.string());
    EXPECT_EQ(outcome.code, 0);
    EXPECT_EQ(outcome.out.rfind("running and waiting for the ebpf ", 0), 0U) << outcome.out;
    std::istringstream lines(outcome.err);
    for (std::string line; std::getline(lines, line);) {
        EXPECT_EQ(line.rfind("ecli: ", 0), 0U) << line;
    }
}

/// A run either works or is refused; it never ends otherwise.
void expect_clear(const fs::path& package) {
    const Outcome outcome = run({ecli(), "run", package.string(), "-d", "1"});
    if (outcome.code == 0) {
        expect_run(package, outcome);
    } else {
        expect_refusal(package, outcome);
    }
    const auto shown = std::count(outcome.out.begin(), outcome.out.end(), '\n');
    const std::string word =
        outcome.code == 0 ? "runs, " + std::to_string(shown) + " lines\n" : outcome.err;
    std::printf("%-70s %s", package.c_str(), word.c_str());
}

/// Our notion of the format holds for what others wrote; they may know more fields.
TEST_F(Reference, PackagesHaveTheFormat) {
    std::size_t count = 0;
    FormatCheck check(read_file(RQS_FORMAT));
    for (const auto& path : files(".json")) {
        json package = json::parse(read_file(path.string()), nullptr, false);
        // A draft had its types as an object, programs without sections, text with line breaks.
        if (!is_package(path) || !package.contains("meta") ||
            package["meta"].value("export_types", json()).is_object()) {
            continue;
        }
        for (const char* list : {"maps", "progs"}) {
            json& entries = package["meta"]["bpf_skel"][list];
            entries = entries.is_null() ? json::array() : entries;  // readers take it for that
        }
        for (const auto& complaint : check.complaints("package", package)) {
            EXPECT_NE(complaint.find("that the format does not know"), std::string::npos)
                << path << ": " << complaint;
        }
        ++count;
    }
    EXPECT_GT(count, 0U);
}

TEST_F(Reference, PackagesRunOrAreRefusedClearly) {
    if (!may_trace()) {
        GTEST_SKIP() << "needs root and the kernel's BTF";
    }
    std::size_t count = 0;
    for (const auto& path : files(".json")) {
        if (is_package(path)) {
            expect_clear(path);
            ++count;
        }
    }
    EXPECT_GT(count, 0U) << "no package in " << root_;
}

TEST_F(Reference, ExamplesCompileAndRunOrAreRefusedClearly) {
    if (!may_trace()) {
        GTEST_SKIP() << "needs root and the kernel's BTF";
    }
    const Scratch scratch;
    for (const auto& source : files(".bpf.c")) {
        if (source.string().find("/examples/") == std::string::npos) {
            continue;
        }
        const std::string name = source.filename().string();
        const fs::path header = source.parent_path() /
                                (name.substr(0, name.size() - std::string(".bpf.c").size()) + ".h");
        Words words{ecc(), source.string(), "-o", scratch.path(name + ".json")};
        if (fs::exists(header)) {
            words.insert(words.begin() + 2, header.string());
        }
        const Outcome outcome = run(words);
        EXPECT_EQ(outcome.code, 0) << source << "\n" << outcome.err;
        if (outcome.code == 0) {
            expect_clear(scratch.path(name + ".json"));
        }
    }
}

/// What depends on the compiler's type numbers and on the compiler's version.
json comparable(json meta) {
    meta.erase("eunomia_version");
    if (meta.contains("export_types") && meta["export_types"].is_array()) {
        for (auto& type : meta["export_types"]) {
            type.erase("type_id");
        }
    }
    json& skeleton = meta["bpf_skel"];
    skeleton["progs"] =
        skeleton.value("progs", json()).is_null() ? json::array() : skeleton["progs"];
    for (auto& section : skeleton["data_sections"]) {
        for (auto& variable : section["variables"]) {
            variable.erase("size");
        }
    }
    return meta;
}

/// The source that a skeleton in `directory` was made from, and its header.
Words sources_beside(const fs::path& skeleton) {
    const std::string file = skeleton.filename().string();
    const std::string name = file.substr(0, file.find('.'));
    Words out;
    for (const char* suffix : {".bpf.c", ".c"}) {
        if (out.empty() && fs::exists(skeleton.parent_path() / (name + suffix))) {
            out.push_back(skeleton.parent_path() / (name + suffix));
        }
    }
    if (!out.empty() && fs::exists(skeleton.parent_path() / (name + ".h"))) {
        out.push_back(skeleton.parent_path() / (name + ".h"));
    }
    return out;
}

TEST_F(Reference, MetadataIsTheSameFieldByField) {
    const Scratch scratch;
    std::size_t same = 0;
    for (const auto& skeleton : files(".skel.json")) {
        const Words sources = sources_beside(skeleton);
        const json theirs = json::parse(read_file(skeleton.string()));
        // Skeletons with several exports were completed by hand; a renamed one (tc) by its author.
        const std::string file = skeleton.filename().string();
        const std::string object = file.substr(0, file.find('.')) + "_bpf";
        if (sources.empty() || theirs.value("enable_multiple_export_types", false) ||
            theirs["bpf_skel"]["obj_name"] != object) {
            continue;
        }
        Words words{ecc()};
        words.insert(words.end(), sources.begin(), sources.end());
        words.insert(words.end(), {"-o", scratch.path("p.json")});
        const Outcome outcome = run(words);
        if (outcome.err.find("file not found") != std::string::npos) {
            continue;  // its own headers are not there
        }
        ASSERT_EQ(outcome.code, 0) << skeleton << "\n" << outcome.err;
        const json ours = json::parse(read_file(scratch.path("p.json")))["meta"];
        EXPECT_EQ(comparable(ours), comparable(theirs))
            << skeleton << "\n"
            << json::diff(comparable(theirs), comparable(ours)).dump(1);
        ++same;
    }
    EXPECT_GT(same, 0U);
}

}  // namespace
}  // namespace rqs::pkgtest
