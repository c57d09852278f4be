// SPDX-License-Identifier: BSD-2-Clause
// What people type at ecli: the words of eunomia's ecli too, odd places for a package, a full disk.
#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <nlohmann/json.hpp>

#include "live.h"

namespace rqs::pkgtest {
namespace {

using nlohmann::json;

const std::string example = RQS_PACKAGES "/runqslower/package.json";
const std::string example_folder = RQS_PACKAGES "/runqslower";
const std::string version = example_version();

void expect_one_line(const Outcome& outcome, int exit_code, const std::string& because) {
    EXPECT_EQ(outcome.code, exit_code) << outcome.err;
    EXPECT_EQ(outcome.out, "");
    EXPECT_EQ(std::count(outcome.err.begin(), outcome.err.end(), '\n'), 1) << outcome.err;
    EXPECT_NE(outcome.err.find(because), std::string::npos) << outcome.err;
}

TEST(Words, RunMayBeLeftOut) {
    EXPECT_EQ(run({ecli(), example, "--version"}).out, version);
    EXPECT_EQ(run({ecli(), example, "-h"}).out, run({ecli(), "run", example, "-h"}).out);
    EXPECT_EQ(run({ecli(), "-j", example, "--version"}).out, version);
    EXPECT_EQ(run({ecli(), "-", "--version"}, {read_file(example)}).out, version);
    expect_one_line(run({ecli(), "no/such/package.json"}), 1, "No such file");
    expect_one_line(run({ecli(), "nonsense"}), 2, "unknown command \"nonsense\"");
}

TEST(Words, EunomiasOwnAreUnderstood) {
    EXPECT_EQ(run({ecli(), "run", "-p", "json", example, "--version"}).out, version);
    EXPECT_EQ(run({ecli(), "run", "--prog-type", "JsonEunomia", example, "--version"}).out,
              version);
    expect_one_line(run({ecli(), "run", "-p", "wasm", example}), 2, "\"wasm\" is not run here");
    expect_one_line(run({ecli(), "pull", "ghcr.io/some/thing"}), 2, "registries");
    expect_one_line(run({ecli(), "push", "ghcr.io/some/thing"}), 2, "registries");
}

TEST(Words, APackageIsFoundInItsFolderAndAtFileUrls) {
    EXPECT_EQ(run({ecli(), "run", example_folder, "--version"}).out, version);
    EXPECT_EQ(run({ecli(), "run", example_folder + "/", "--version"}).out, version);
    EXPECT_EQ(run({ecli(), "run", "file://" + example, "--version"}).out, version);
    EXPECT_EQ(run({ecli(), "run", "file://localhost" + example, "--version"}).out, version);
    const Scratch scratch;
    std::filesystem::copy_file(example, scratch.path("a b%.json"));
    EXPECT_EQ(run({ecli(), "run", "file://" + scratch.path("a%20b%25.json"), "--version"}).out,
              version);
    expect_one_line(run({ecli(), "run", "file://elsewhere/package.json"}), 1,
                    "not a file of this machine");
    expect_one_line(run({ecli(), "run", scratch.path("")}), 1, "without a package.json");
    expect_one_line(run({ecli(), "run", "ftp://host/package.json"}), 1, "only http, https");
    expect_one_line(run({ecli(), "run", "HTTP://127.0.0.1:1/x"}), 1, "cannot connect");
}

TEST(Words, OtherFilesAreNamedForWhatTheyAre) {
    const std::string zero(1, '\0');
    expect_one_line(run({ecli(), "run", "-"}, {"\x1f\x8b" + std::string(50, '[')}), 1, "gzip");
    expect_one_line(run({ecli(), "run", "-"}, {zero + "asm\1" + zero}), 1, "WebAssembly");
    std::string tar(512, '\0');
    tar.replace(0, 12, "package.json");
    tar.replace(257, 5, "ustar");
    expect_one_line(run({ecli(), "run", "-"}, {tar}), 1, "tar archive");
    expect_one_line(run({ecli(), "run", "-"}, {"\177ELF\2"}), 1, "object file");
}

TEST(Words, AFullDiskIsAnError) {
    for (const std::string words : {"-h", "--version", "run -h"}) {
        const Outcome outcome = run({"sh", "-c", ecli() + " " + words + " >/dev/full"});
        expect_one_line(outcome, 1, "No space left");
    }
    for (const std::string words : {"-h", "--version"}) {
        const Outcome outcome =
            run({"sh", "-c", ecli() + " run " + example + " " + words + " >/dev/full"});
        expect_one_line(outcome, 1, "No space left");
    }
}

TEST(Words, AReaderThatWentAwayIsNone) {
    const Outcome outcome =
        run({"sh", "-c",
             "(" + ecli() + " run " + example + " -h; echo ended with $? >&2) | exec true"});
    EXPECT_EQ(outcome.err, "ended with 0\n");
}

TEST_F(LiveCompiled, WithFewPrivilegesSaysThatRootHasMore) {
    // The privileges that ecli asks for, which are not enough for XDP.
    const Words nobody{"setpriv",        "--reuid",        "65534",      "--regid",
                       "65534",          "--clear-groups", "--inh-caps", "+bpf,+perfmon",
                       "--ambient-caps", "+bpf,+perfmon"};
    if (run({"setpriv", "--version"}).code != 0) {
        GTEST_SKIP() << "needs setpriv";
    }
    const Scratch open_to_all;
    const auto with = [&](const std::string& name) {
        std::filesystem::copy_file(RQS_ATTACH_PACKAGES "/" + name + ".json",
                                   open_to_all.path(name));
        std::filesystem::permissions(open_to_all.path(name), std::filesystem::perms(0644));
        Words words = nobody;
        words.insert(words.end(), {open_to_all.path("ecli"), "run", "-j", open_to_all.path(name),
                                   "-n", "1", "-d", "30"});
        return run(words);
    };
    std::filesystem::copy_file(ecli(), open_to_all.path("ecli"));
    const Outcome enough = with("raw_tp");
    EXPECT_EQ(enough.code, 0) << enough.err;
    expect_one_line(with("xdp"), 1, "Operation not permitted (root may be permitted to)");
}

}  // namespace
}  // namespace rqs::pkgtest
