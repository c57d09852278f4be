// SPDX-License-Identifier: BSD-2-Clause
// ecc and ecli as a user meets them: words in, bytes and exit codes out.
#include <gtest/gtest.h>
#include <unistd.h>

#include <algorithm>
#include <filesystem>
#include <nlohmann/json.hpp>

#include "program.h"

namespace rqs::pkgtest {
namespace {

using nlohmann::json;

const std::string example = RQS_PACKAGES "/runqslower/package.json";

/// One line on stderr, nothing on stdout.
void expect_one_line(const Outcome& outcome, int exit_code, const std::string& because) {
    EXPECT_EQ(outcome.exit_code, exit_code) << outcome.err;
    EXPECT_EQ(outcome.out, "");
    EXPECT_EQ(std::count(outcome.err.begin(), outcome.err.end(), '\n'), 1) << outcome.err;
    EXPECT_NE(outcome.err.find(because), std::string::npos) << outcome.err;
}

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
    EXPECT_EQ(run({ecli()}).exit_code, 2);
}

TEST(Ecli, HelpNeedsNoPrivileges) {
    const Scratch open_to_all;
    const std::string package = copy_for_all(open_to_all, example);
    const Outcome help = run({ecli(), "run", package, "-h"}, {{}, true});
    EXPECT_EQ(help.exit_code, 0) << help.err;
    for (const char* word : {"--min_us VALUE", "--targ_pid VALUE", "--targ_tgid VALUE", "default 0",
                             "microseconds", "--json"}) {
        EXPECT_NE(help.out.find(word), std::string::npos) << help.out;
    }
    EXPECT_EQ(run({ecli(), "run", package, "--", "-h"}).out, help.out);
    EXPECT_EQ(run({ecli(), "--help"}).exit_code, 0);
    EXPECT_EQ(run({ecli(), "--version"}).exit_code, 0);
    EXPECT_EQ(run({ecli(), "run", example, "--version"}).out, "runqslower_bpf 0.1.0\n");
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

TEST(Ecli, WithoutPrivilegesSaysWhichItNeeds) {
    if (::geteuid() != 0) {
        GTEST_SKIP() << "only root can become nobody";
    }
    const Scratch open_to_all;
    const std::string package = copy_for_all(open_to_all, example);
    expect_one_line(run({ecli(), "run", package}, {{}, true}), 1, "cap_bpf,cap_perfmon");
}

// ------------------------------------------------------------------------------------------- ecc

TEST(Ecc, WrongWordsAreOneLineAndExit2) {
    expect_one_line(run({ecc()}), 2, "SOURCE");
    expect_one_line(run({ecc(), "--bogus"}), 2, "ecc");
    const Scratch empty;
    expect_one_line(run({ecc(), empty.path("")}), 2, "0 files *.bpf.c");
}

TEST(Ecc, MissingThingsAreNamed) {
    const Scratch scratch;
    const std::string source = RQS_PROGRAMS "/percpu.bpf.c";
    expect_one_line(run({ecc(), scratch.path("no.bpf.c")}), 1, "no.bpf.c");
    expect_one_line(run({ecc(), source, "--btf", scratch.path("nothing")}), 1, "--btf");
    expect_one_line(run({ecc(), source, scratch.path("no.h")}), 1, "no.h");
    const Outcome outcome = run({ecc(), source, "--clang", "no-such-clang"});
    EXPECT_EQ(outcome.exit_code, 1);
    EXPECT_NE(outcome.err.find("install clang"), std::string::npos) << outcome.err;
    const Outcome unwritable = run({ecc(), source, "-o", scratch.path("no/such/dir.json")});
    EXPECT_EQ(unwritable.exit_code, 1);
    EXPECT_NE(unwritable.err.find("cannot write"), std::string::npos) << unwritable.err;
}

TEST(Ecc, ShowsTheCompilersOwnMessage) {
    const Scratch scratch;
    write_file(scratch.path("x.h"), "struct event { int a; };\n");
    write_file(scratch.path("x.bpf.c"),
               "#include \"vmlinux.h\"\n#include \"x.h\"\nint f(void) { return oops; }\n");
    for (const bool header : {false, true}) {
        Words words{ecc(), scratch.path("x.bpf.c")};
        if (header) {
            words.push_back(scratch.path("x.h"));
        }
        const Outcome outcome = run(words);
        EXPECT_EQ(outcome.exit_code, 1);
        EXPECT_NE(outcome.err.find(scratch.path("x.bpf.c") + ":3:"), std::string::npos)
            << "the place in the user's own file\n"
            << outcome.err;
        EXPECT_NE(outcome.err.find("oops"), std::string::npos);
        EXPECT_FALSE(std::filesystem::exists(scratch.path("package.json")));
    }
}

TEST(Ecc, WrongCommentsAreErrors) {
    const Scratch scratch;
    const std::string head = "#include \"vmlinux.h\"\n#include <bpf/bpf_helpers.h>\n";
    const std::string tail =
        "SEC(\"raw_tp/sys_enter\") int f(void *c) { return x; }\n"
        "char LICENSE[] SEC(\"license\") = \"GPL\";\n";
    for (const char* comment : {"/// @cmdarg not json", "/// @cmdarg {\"short\": \"long\"}",
                                "/// @name other", "/// @type {}"}) {
        write_file(scratch.path("x.bpf.c"),
                   head + comment + "\nconst volatile int x = 0;\n" + tail);
        const Outcome outcome = run({ecc(), scratch.path("x.bpf.c")});
        EXPECT_EQ(outcome.exit_code, 1) << comment;
        EXPECT_NE(outcome.err.find("comment"), std::string::npos) << outcome.err;
    }
}

TEST(Ecc, HeaderWithoutUseIsAnError) {
    const Scratch scratch;
    write_file(scratch.path("empty.h"), "/* struct not { */\n");
    const Outcome outcome = run({ecc(), RQS_PROGRAMS "/percpu.bpf.c", scratch.path("empty.h")});
    expect_one_line(outcome, 1, "defines no struct");
}

TEST(Ecc, WritesWhatTheFormatAsksFor) {
    const Scratch scratch;
    const Outcome outcome = run({ecc(), RQS_PROGRAMS "/types.bpf.c", RQS_PROGRAMS "/types.h", "-o",
                                 scratch.path("package.json"), "--keep"});
    ASSERT_EQ(outcome.exit_code, 0) << outcome.err;
    const json package = json::parse(read_file(scratch.path("package.json")));
    EXPECT_EQ(package.size(), 3U);
    EXPECT_EQ(package["bpf_object_size"], read_file(scratch.path("types.bpf.o")).size());
    EXPECT_EQ(package["meta"], json::parse(read_file(scratch.path("types.skel.json"))));
    json meta = package["meta"];
    EXPECT_EQ(meta["eunomia_version"], "0.3.4");
    EXPECT_TRUE(meta["export_types"][0]["type_id"].is_number_unsigned());
    meta["export_types"][0].erase("type_id");
    EXPECT_EQ(meta["export_types"], json::parse(R"([{
        "name": "everything", "size": 112, "members": [
          {"name": "tiny", "type": "signed char"}, {"name": "small", "type": "unsigned short"},
          {"name": "number", "type": "int"}, {"name": "large", "type": "unsigned long long"},
          {"name": "huge", "type": "__int128"}, {"name": "vast", "type": "unsigned __int128"},
          {"name": "yes", "type": "bool"}, {"name": "color", "type": "enum color"},
          {"name": "strange", "type": "enum color"}, {"name": "text", "type": "char[16]"},
          {"name": "nested", "type": "struct {\n\tint x;\n\tint y[2];\n}"},
          {"name": "bits", "type": "unsigned int"}, {"name": "sign", "type": "int"},
          {"name": "pointer", "type": "void *"},
          {"name": "", "type": "union {\n\tint either;\n\tunsigned int other;\n}"}]}])"))
        << meta["export_types"].dump(1);
    const json& skeleton = meta["bpf_skel"];
    EXPECT_EQ(skeleton["obj_name"], "types_bpf");
    EXPECT_EQ(skeleton["progs"],
              json::parse(R"([{"attach": "raw_tp/sys_enter", "link": true, "name": "on_call"}])"));
    EXPECT_EQ(skeleton["maps"], json::parse(R"([{"ident": "events", "name": "events"},
        {"ident": "rodata", "mmaped": true, "name": "types_bp.rodata"},
        {"ident": "bss", "mmaped": true, "name": "types_bp.bss"}])"));
    EXPECT_EQ(skeleton["data_sections"][0]["variables"][0], json::parse(R"({
        "name": "targ_pid", "type": "int", "description": "whose system calls to show",
        "cmdarg": {"short": "p", "long": "pid", "default": -1}})"));
    EXPECT_EQ(skeleton["data_sections"][0]["variables"][3]["type"], "char[16]");
    EXPECT_EQ(skeleton["data_sections"][1], json::parse(R"({"name": ".bss", "variables": [
        {"name": "__eunomia_dummy_everything_ptr", "type": "struct everything *"}]})"));
}

TEST(Ecc, IsReproducible) {
    const Scratch scratch;
    for (const char* name : {"a", "b"}) {
        std::filesystem::create_directory(scratch.path(name));
        std::filesystem::copy(RQS_EXAMPLES "/runqlat", scratch.path(name));
        ASSERT_EQ(run({ecc(), scratch.path(name), "-o", scratch.path(name) + "/"}).exit_code, 0);
    }
    EXPECT_EQ(read_file(scratch.path("a/package.json")), read_file(scratch.path("b/package.json")));
}

TEST(Ecc, TheWorkingDirectoryDoesNotMatter) {
    const Scratch scratch;
    const std::string before = std::filesystem::current_path();
    for (const char* place : {"/", "/usr"}) {
        std::filesystem::current_path(place);
        const Outcome outcome = run({ecc(), RQS_EXAMPLES "/runqlat", "-o",
                                     scratch.path(place[1] == '\0' ? "a.json" : "b.json")});
        std::filesystem::current_path(before);
        ASSERT_EQ(outcome.exit_code, 0) << outcome.err;
    }
    EXPECT_EQ(read_file(scratch.path("a.json")), read_file(scratch.path("b.json")));
}

/// The names of the export types of a program with `header` and `maps`.
std::string exported(const std::string& header, const std::string& maps, Outcome& outcome) {
    const Scratch scratch;
    write_file(scratch.path("x.h"), header);
    write_file(scratch.path("x.bpf.c"),
               "#include \"vmlinux.h\"\n#include <bpf/bpf_helpers.h>\n#include \"x.h\"\n" + maps +
                   "SEC(\"raw_tp/sys_enter\") int f(void *c) { return 0; }\n"
                   "char LICENSE[] SEC(\"license\") = \"GPL\";\n");
    outcome = run({ecc(), scratch.path("x.bpf.c"), scratch.path("x.h")});
    if (outcome.exit_code != 0) {
        return outcome.err;
    }
    std::string names;
    const json package = json::parse(read_file(scratch.path("package.json")));
    for (const auto& type : package["meta"]["export_types"]) {
        names += type["name"].get<std::string>() + " ";
    }
    return names;
}

TEST(Ecc, FindsTheEventAmongTheStructsOfAHeader) {
    const std::string ring =
        "struct { __uint(type, BPF_MAP_TYPE_RINGBUF); __uint(max_entries, 4096); } r "
        "SEC(\".maps\");\n";
    const std::string hash =
        "struct { __uint(type, BPF_MAP_TYPE_HASH); __uint(max_entries, 8); __type(key, struct k);"
        " __type(value, int); } h SEC(\".maps\");\n";
    Outcome outcome;
    EXPECT_EQ(exported("struct part { int x; };\nstruct whole { struct part parts[2]; };\n", ring,
                       outcome),
              "whole ");
    EXPECT_EQ(outcome.err.find("warning"), std::string::npos) << outcome.err;
    EXPECT_EQ(exported("struct k { int x; };\nstruct told { int y; };\n", ring + hash, outcome),
              "told ");
    EXPECT_EQ(exported("struct other { int x; };\n"
                       "struct __attribute__((packed)) my_event { int y; };\n",
                       ring, outcome),
              "my_event other ");
    EXPECT_NE(outcome.err.find("struct my_event is taken"), std::string::npos) << outcome.err;
}

TEST(Ecc, WritesToWhatIsNoFile) {
    const Scratch scratch;
    const std::string source = RQS_PROGRAMS "/percpu.bpf.c";
    const Outcome out = run({ecc(), source, "-o", "-"});
    EXPECT_EQ(out.exit_code, 0) << out.err;
    EXPECT_TRUE(json::accept(out.out));
    std::filesystem::create_symlink("/dev/null", scratch.path("null"));
    EXPECT_EQ(run({ecc(), source, "-o", scratch.path("null")}).exit_code, 0);
    EXPECT_TRUE(std::filesystem::is_character_file("/dev/null"));
    EXPECT_TRUE(std::filesystem::is_symlink(scratch.path("null")));
    std::filesystem::create_symlink("real.json", scratch.path("link.json"));
    EXPECT_EQ(run({ecc(), source, "-o", scratch.path("link.json")}).exit_code, 0);
    EXPECT_TRUE(std::filesystem::is_symlink(scratch.path("link.json")));
    EXPECT_EQ(read_file(scratch.path("real.json")), out.out);
    EXPECT_EQ(run({ecc(), source, "-k", "-o", "-"}).exit_code, 2);
}

TEST(Ecc, TakesAFolderAndWritesYaml) {
    const Scratch scratch;
    std::filesystem::copy(RQS_EXAMPLES "/runqslower", scratch.path("folder"));
    const Outcome outcome = run({ecc(), scratch.path("folder"), "--yaml"});
    ASSERT_EQ(outcome.exit_code, 0) << outcome.err;
    const std::string yaml = read_file(scratch.path("folder/package.yaml"));
    EXPECT_EQ(yaml.rfind("\"bpf_object\": ", 0), 0U);
    const Outcome help = run({ecli(), "run", scratch.path("folder/package.yaml"), "-h"});
    EXPECT_EQ(help.exit_code, 0) << help.err;
    EXPECT_NE(help.out.find("--targ_tgid"), std::string::npos);
}

TEST(Ecc, TakesTypesFromAFile) {
    const Scratch scratch;
    std::error_code error;
    std::filesystem::copy_file("/sys/kernel/btf/vmlinux", scratch.path("types.btf"), error);
    if (error) {
        GTEST_SKIP() << "the kernel's BTF cannot be read: " << error.message();
    }
    const Outcome outcome = run({ecc(), RQS_PROGRAMS "/percpu.bpf.c", "--btf",
                                 scratch.path("types.btf"), "-o", scratch.path("p.json")});
    EXPECT_EQ(outcome.exit_code, 0) << outcome.err;
    write_file(scratch.path("cut.btf"), read_file(scratch.path("types.btf")).substr(0, 100'000));
    const Outcome cut =
        run({ecc(), RQS_PROGRAMS "/percpu.bpf.c", "--btf", scratch.path("cut.btf")});
    expect_one_line(cut, 1, "cut.btf");
}

}  // namespace
}  // namespace rqs::pkgtest
