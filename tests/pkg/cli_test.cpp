// SPDX-License-Identifier: BSD-2-Clause
// ecli as a user meets it: words in, bytes and exit codes out.
#include <gtest/gtest.h>
#include <unistd.h>

#include <filesystem>
#include <nlohmann/json.hpp>

#include "expect.h"
#include "program.h"

namespace rqs::pkgtest {
namespace {

using nlohmann::json;

const std::string example = RQS_PACKAGES "/runqslower/package.json";

/// A copy that the user nobody may read: the tree that is tested may lie where only its owner may
/// go.
std::string copy_for_all(const Scratch& scratch, const std::string& file) {
    namespace fs = std::filesystem;
    const std::string copy = scratch.path("package.json");
    fs::copy_file(file, copy);
    fs::permissions(fs::path(copy).parent_path(), fs::perms::others_exec, fs::perm_options::add);
    fs::permissions(copy, fs::perms::others_read, fs::perm_options::add);
    return copy;
}

Outcome run_package_text(const std::string& text) {
    return run({ecli(), "run", "-"}, {text});
}

TEST(Ecli, WrongWordsAreOneLineAndExit2) {
    expect_one_line(run({ecli(), "walk"}), 2, "walk");
    expect_one_line(run({ecli(), "run"}), 2, "which package");
    expect_one_line(run({ecli(), "run", "--bogus", example}), 2, "--bogus");
    expect_one_line(run({ecli(), "run", example, "--bogus"}), 2, "--bogus");
    expect_one_line(run({ecli(), "run", example, "--min_us", "12abc"}), 2, "12abc");
    expect_one_line(run({ecli(), "run", example, "--min_us", "-1"}), 2, "between 0 and");
    expect_one_line(run({ecli(), "run", example, "--targ_pid", "2147483648"}), 2, "between");
    expect_one_line(run({ecli(), "run", example, "--targ_pid"}), 2, "needs a value");
    expect_one_line(run({ecli(), "run", example, "stray"}), 2, "stray");
    EXPECT_EQ(run({ecli()}).code, 2);
}

TEST(Ecli, HelpNeedsNoPrivileges) {
    const Scratch open_to_all;
    const std::string package = copy_for_all(open_to_all, example);
    const Outcome help = run({ecli(), "run", package, "-h"}, {{}, true});
    EXPECT_EQ(help.code, 0) << help.err;
    for (const char* word : {"--min_us VALUE", "--targ_pid VALUE", "--targ_tgid VALUE", "default 0",
                             "microseconds", "--json"}) {
        EXPECT_NE(help.out.find(word), std::string::npos) << help.out;
    }
    EXPECT_EQ(run({ecli(), "run", package, "--", "-h"}).out, help.out);
    EXPECT_EQ(run({ecli(), "--help"}).code, 0);
    EXPECT_EQ(run({ecli(), "--version"}).code, 0);
    EXPECT_EQ(run({ecli(), "run", example, "--version"}).out, example_version());
}

TEST(Ecli, BadPackagesAreOneLineAndExit1) {
    const std::string good = read_file(example);
    expect_one_line(run({ecli(), "run", "/no/such/package.json"}), 1, "No such file");
    expect_one_line(run({ecli(), "run", "/"}), 1, "directory");
    expect_one_line(run_package_text(""), 1, "empty");
    expect_one_line(run_package_text("not a package"), 1, "neither");
    expect_one_line(run_package_text("{\"a\": 1}"), 1, "not a BPF package");
    expect_one_line(run_package_text(good.substr(0, good.size() / 2)), 1, "JSON");
    json package = json::parse(good);
    package["bpf_object"] = "????";
    expect_one_line(run_package_text(package.dump()), 1, "base64");
    package = json::parse(good);
    package["meta"]["eunomia_version"] = "7.0";
    expect_one_line(run_package_text(package.dump()), 1, "version 7.0");
    package = json::parse(good);
    package["meta"]["export_types"][0]["size"] = 4096;
    expect_one_line(run_package_text(package.dump()), 1, "event");
    package = json::parse(good);
    package["meta"]["bpf_skel"]["maps"][0]["name"] = "\x1b[2Jgone";
    expect_one_line(run_package_text(package.dump()), 1, "\\x1b[2Jgone");
    package = json::parse(good);
    package["meta"]["bpf_skel"]["data_sections"][0]["variables"][0]["name"] = "absent";
    expect_one_line(run_package_text(package.dump()), 1, "absent");
    expect_one_line(run({ecli(), "run", "http://127.0.0.1:1/x"}), 1, "cannot");
}

// With "debug_verbose" it is the package that asks for libbpf's own words, and they have its names.
TEST(Ecli, APackagesNamesAreHarmlessInLibbpfsWordsToo) {
    json package = json::parse(read_file(example));
    package["meta"]["debug_verbose"] = true;
    package["meta"]["bpf_skel"]["progs"][0]["attach"] = "tp_btf/\x1b[31mnone";
    package["meta"]["bpf_skel"]["obj_name"] = "\x1b[31mname";
    const Outcome outcome = run({ecli(), "run", "-", "-d", "0.1"}, {package.dump()});
    EXPECT_EQ(outcome.err.find('\x1b'), std::string::npos);
    EXPECT_EQ(outcome.out.find('\x1b'), std::string::npos);
}

TEST(Ecli, NobodyHasToListenToItsTalk) {
    if (!may_trace()) {
        GTEST_SKIP() << "needs to trace";
    }
    EXPECT_EQ(run({"sh", "-c", "exec \"$0\" run \"$1\" -n 1 2>/dev/full", ecli(), example}).code,
              0);
    EXPECT_EQ(run({"sh", "-c", "exec \"$0\" run \"$1\" -n 1 2>&-", ecli(), example}).code, 0);
}

TEST(Ecli, WithoutPrivilegesSaysWhichItNeeds) {
    if (::geteuid() != 0) {
        GTEST_SKIP() << "only root can become nobody";
    }
    const Scratch open_to_all;
    const std::string package = copy_for_all(open_to_all, example);
    expect_one_line(run({ecli(), "run", package}, {{}, true}), 1, "cap_bpf,cap_perfmon");
}

}  // namespace
}  // namespace rqs::pkgtest
