// SPDX-License-Identifier: BSD-2-Clause
// ecc as people type it: words in, packages and exit codes out.
#include <fmt/format.h>
#include <gtest/gtest.h>

#include <array>
#include <filesystem>
#include <nlohmann/json.hpp>

#include "expect.h"
#include "program.h"

namespace rqs::pkgtest {
namespace {

using nlohmann::json;

const std::string programs = RQS_PROGRAMS;
const std::string source = programs + "/percpu.bpf.c";

/// The last line of what was said, behind the lines of progress.
std::string last_line(const std::string& text) {
    const std::size_t end = text.rfind('\n');
    const std::size_t start = end == 0 || end == std::string::npos ? 0 : text.rfind('\n', end - 1);
    return text.substr(start == std::string::npos ? 0 : start + (start > 0 ? 1U : 0U));
}

/// ecc in a shell that arranges its surroundings: `$0` is ecc, `$1` the source.
Outcome shell(const std::string& script, const std::string& argument = {}) {
    return run({"/bin/sh", "-c", script, ecc(), source, argument});
}

TEST(Ecc, WrongWordsAreOneLineAndExit2) {
    expect_one_line(run({ecc()}), 2, "SOURCE");
    expect_one_line(run({ecc(), "--bogus"}), 2, "ecc");
    expect_one_line(run({ecc(), source, "--\x1b[2J"}), 2, "\\x1b[2J");
    expect_one_line(run({ecc(), source, "a.h", "b.h"}), 2, "b.h");
    expect_one_line(run({ecc(), source, "-o"}), 2, "-o");
    expect_one_line(run({ecc(), source, "--yaml", "--json"}), 2, "--json");
    expect_one_line(run({ecc(), "/etc/passwd"}), 2, "is not a BPF source");
    const Scratch empty;
    expect_one_line(run({ecc(), empty.path("")}), 2, "0 files *.bpf.c");
}

TEST(Ecc, OptionsOfEunomiasCompilerAreTakenOrRefusedWithAReason) {
    const Scratch scratch;
    for (const char* option : {"--header-only", "--wasm-header", "-b", "--btfgen", "-s",
                               "--standalone", "-w", "--workspace-path=/x", "--btfhub-archive"}) {
        expect_one_line(run({ecc(), source, option}), 2, "is not supported: ");
    }
    const Outcome outcome = run({ecc(), source, "--llvm-strip-bin", "llvm-strip", "-c", "clang",
                                 "-a=-DA=1", "-a", "-DB", "-v", "--output-path", scratch.path("")});
    ASSERT_EQ(outcome.code, 0) << outcome.err;
    EXPECT_NE(outcome.err.find(" -DA=1 -DB "), std::string::npos) << outcome.err;
    EXPECT_TRUE(std::filesystem::exists(scratch.path("package.json")));
}

TEST(Ecc, WritesTheObjectAndItsMetadataAlone) {
    const Scratch scratch;
    ASSERT_EQ(run({ecc(), source, "-n", "-o", scratch.path("")}).code, 0);
    EXPECT_FALSE(std::filesystem::exists(scratch.path("package.json")));
    EXPECT_EQ(read_file(scratch.path("percpu.bpf.o")).substr(1, 3), "ELF");
    EXPECT_TRUE(json::parse(read_file(scratch.path("percpu.skel.json"))).contains("bpf_skel"));
}

TEST(Ecc, MissingThingsAreNamed) {
    const Scratch scratch;
    expect_one_line(run({ecc(), scratch.path("no.bpf.c")}), 1, "no.bpf.c: No such file");
    expect_one_line(run({ecc(), source, scratch.path("no.h")}), 1, "no.h: No such file");
    expect_one_line(run({ecc(), source, scratch.path("")}), 1, "directory");
    for (const auto& [file, because] : {std::pair{scratch.path("nothing"), "No such file"},
                                        {scratch.path(""), "a directory"},
                                        {std::string("/dev/null"), "it holds none"},
                                        {source, "it holds none"}}) {
        expect_one_line(run({ecc(), source, "--btf", file}), 1, because);
    }
    write_file(scratch.path("vmlinux.h"), "");
    write_file(scratch.path("x.bpf.c"), "int x;\n");
    expect_one_line(run({ecc(), scratch.path("x.bpf.c"), "--btf", "/dev/null"}), 2, "vmlinux.h");
}

TEST(Ecc, WhatIsNoCompilerOrNoSourceIsSaid) {
    const Scratch scratch;
    const Outcome missing = run({ecc(), source, "--clang", "no-such-clang"});
    EXPECT_EQ(missing.code, 1);
    EXPECT_NE(last_line(missing.err).find("install clang"), std::string::npos) << missing.err;
    const Outcome silent = run({ecc(), source, "--clang-bin", "/bin/true"});
    EXPECT_EQ(silent.code, 1);
    EXPECT_NE(last_line(silent.err).find("is it clang?"), std::string::npos) << silent.err;
    write_file(scratch.path("x.bpf.c"), std::string("\177ELF\0\0", 6));
    expect_one_line(run({ecc(), scratch.path("x.bpf.c")}), 1, "zero bytes");
    write_file(scratch.path("x.bpf.c"), "");
    const Outcome empty = run({ecc(), scratch.path("x.bpf.c")});
    EXPECT_EQ(empty.code, 1);
    EXPECT_NE(last_line(empty.err).find("has no BTF"), std::string::npos) << empty.err;
}

TEST(Ecc, WhatCannotBeWrittenIsAnError) {
    const Scratch scratch;
    for (const auto& path : {scratch.path("no/such/dir.json"), std::string("/dev/full")}) {
        const Outcome outcome = run({ecc(), source, "-o", path});
        EXPECT_EQ(outcome.code, 1);
        EXPECT_NE(last_line(outcome.err).find("cannot write to " + path), std::string::npos)
            << outcome.err;
    }
    EXPECT_EQ(shell("exec \"$0\" \"$1\" -o - > /dev/full").code, 1);
    EXPECT_EQ(shell("exec \"$0\" --help > /dev/full").code, 1);
    const std::string copy = scratch.path("x.bpf.c");
    write_file(copy, read_file(source));
    expect_one_line(run({ecc(), copy, "-o", copy}), 2, "overwritten");
    EXPECT_EQ(read_file(copy), read_file(source));
}

TEST(Ecc, ClosedDescriptorsHarmNothing) {
    const Scratch scratch;
    const std::string package = scratch.path("p.json");
    ASSERT_EQ(shell("exec \"$0\" \"$1\" -o \"$2\"", package).code, 0);
    const std::string good = read_file(package);
    for (const char* closing : {"<&-", ">&-", "2>&-", "<&- >&- 2>&-"}) {
        std::filesystem::remove(package);
        EXPECT_EQ(shell("exec \"$0\" \"$1\" -o \"$2\" " + std::string(closing), package).code, 0)
            << closing;
        EXPECT_EQ(read_file(package), good) << closing;
    }
    const Outcome closed = shell(R"(exec "$0" "$1" -o - >&-)");
    EXPECT_EQ(closed.code, 1);
    EXPECT_NE(last_line(closed.err).find("cannot write to standard output"), std::string::npos);
}

/// What ecc opens does not get the numbers that the compiler takes for its own.
TEST(Ecc, TheCompilerHasAnEmptyInputWhateverIsClosed) {
    const Scratch scratch;
    write_file(scratch.path("clang"), R"sh(#!/bin/sh
[ "$1" = -v ] && exit 0
echo input: $(readlink /proc/$$/fd/0) >&2
exit 1
)sh");
    std::filesystem::permissions(scratch.path("clang"), std::filesystem::perms(0755));
    for (const char* closing : {"", "<&-", "<&- >&-"}) {
        const Outcome outcome =
            shell(R"(exec "$0" "$1" -c "$2" )" + std::string(closing), scratch.path("clang"));
        EXPECT_EQ(outcome.code, 1);
        EXPECT_NE(outcome.err.find("input: /dev/null\n"), std::string::npos) << outcome.err;
    }
}

/// Starts ecc with a compiler that never ends, sends it a signal once that runs, and then shows
/// what is left of both.
constexpr const char* interruption = R"(cd "$2" && mkdir tmp
cat > clang <<'END'
#!/bin/sh
[ "$1" = -v ] && exit 0
echo $$ > "${0%/*}/mark.new"
mv "${0%/*}/mark.new" "${0%/*}/mark"
exec sleep 100
END
chmod +x clang
TMPDIR=$2/tmp env --default-signal=INT "$0" "$1" -c "$2/clang" -o "$2/p.json" & p=$!
while [ ! -e mark ]; do sleep 0.02; done
ls tmp
kill -$SIGNAL $p; wait $p; code=$?
kill -0 $(cat mark) 2> /dev/null && echo the compiler still runs
ls tmp
ls p.json* 2> /dev/null
exit $code)";

TEST(Ecc, LeavesNothingBehindWhenInterrupted) {
    const std::array<std::pair<std::string, int>, 3> signals{
        {{"INT", 128 + 2}, {"TERM", 128 + 15}, {"HUP", 128 + 1}}};
    for (const auto& [signal, exit_code] : signals) {
        const Scratch scratch;
        const Outcome outcome =
            shell(fmt::format("SIGNAL={}\n{}", signal, interruption), scratch.path(""));
        EXPECT_EQ(outcome.code, exit_code) << signal << outcome.err;
        EXPECT_EQ(outcome.out.rfind("ecc-", 0), 0U) << outcome.out;
        EXPECT_EQ(outcome.out.size(), std::string("ecc-XXXXXX\n").size()) << outcome.out;
    }
}

TEST(Ecc, WordsBehindTwoDashesAreNames) {
    const Scratch scratch;
    write_file(scratch.path("-x.bpf.c"), read_file(source));
    const Outcome outcome =
        shell(R"(cd "$2" && exec "$0" -o p.json -- -x.bpf.c)", scratch.path(""));
    EXPECT_EQ(outcome.code, 0) << outcome.err;
    EXPECT_TRUE(std::filesystem::exists(scratch.path("p.json")));
}

void expect_compilers_message(const Scratch& scratch, const Words& words) {
    const Outcome outcome = run(words);
    EXPECT_EQ(outcome.code, 1);
    EXPECT_NE(outcome.err.find(scratch.path("x.bpf.c") + ":3:"), std::string::npos)
        << "the place in the user's own file\n"
        << outcome.err;
    EXPECT_NE(outcome.err.find("oops"), std::string::npos);
    EXPECT_FALSE(std::filesystem::exists(scratch.path("package.json")));
}

TEST(Ecc, ShowsTheCompilersOwnMessage) {
    const Scratch scratch;
    write_file(scratch.path("x.h"), "struct event { int a; };\n");
    write_file(scratch.path("x.bpf.c"), R"(#include "vmlinux.h"
#include "x.h"
int f(void) { return oops; }
)");
    expect_compilers_message(scratch, {ecc(), scratch.path("x.bpf.c")});
    expect_compilers_message(scratch, {ecc(), scratch.path("x.bpf.c"), scratch.path("x.h")});
}

TEST(Ecc, WrongCommentsAreErrors) {
    const Scratch scratch;
    constexpr const char* program = R"(#include "vmlinux.h"
#include <bpf/bpf_helpers.h>
/// {}
const volatile int x = 0;
SEC("raw_tp/sys_enter") int f(void *c) {{ return x; }}
char LICENSE[] SEC("license") = "GPL";
)";
    for (const char* comment :
         {"@cmdarg not json", R"(@cmdarg {"short": "long"})", "@name other", "@type {}"}) {
        write_file(scratch.path("x.bpf.c"), fmt::format(program, comment));
        const Outcome outcome = run({ecc(), scratch.path("x.bpf.c")});
        EXPECT_EQ(outcome.code, 1) << comment;
        EXPECT_NE(outcome.err.find("comment"), std::string::npos) << outcome.err;
    }
}

TEST(Ecc, AHeaderMayDefineNoStruct) {
    const Scratch scratch;
    write_file(scratch.path("empty.h"), "/* struct not { */\n");
    const Outcome outcome =
        run({ecc(), programs + "/refused.bpf.c", scratch.path("empty.h"), "-o", "-"});
    EXPECT_EQ(outcome.code, 0);
    EXPECT_NE(outcome.err.find("empty.h defines no struct"), std::string::npos) << outcome.err;
    EXPECT_EQ(json::parse(outcome.out)["meta"]["export_types"], json::array());
    write_file(scratch.path("other.h"), "struct not_included { int x; };\n");
    const Outcome unknown = run({ecc(), source, scratch.path("other.h"), "-o", "-"});
    EXPECT_EQ(unknown.code, 1);
    EXPECT_NE(last_line(unknown.err).find("include it there"), std::string::npos) << unknown.err;
}

TEST(Ecc, WritesWhatTheFormatAsksFor) {
    const Scratch scratch;
    const Outcome outcome = run({ecc(), programs + "/types.bpf.c", programs + "/types.h", "-o",
                                 scratch.path("package.json"), "--keep"});
    ASSERT_EQ(outcome.code, 0) << outcome.err;
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
        ASSERT_EQ(run({ecc(), scratch.path(name), "-o", scratch.path(name) + "/"}).code, 0);
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
        ASSERT_EQ(outcome.code, 0) << outcome.err;
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
    if (outcome.code != 0) {
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
    EXPECT_EQ(exported("struct other { int x; };\nstruct my_event { int y; };\n",
                       "/// @event other\n" + ring, outcome),
              "other my_event ");
    EXPECT_EQ(outcome.err.find("warning"), std::string::npos) << outcome.err;
    // What is sampled comes first, and needs no header.
    EXPECT_EQ(exported("struct k { int x; };\nstruct v { int y; };\n",
                       "/// @sample {\"interval\": 1000}\n"
                       "struct { __uint(type, BPF_MAP_TYPE_HASH); __uint(max_entries, 8); "
                       "__type(key, struct k); __type(value, struct v); } h SEC(\".maps\");\n",
                       outcome),
              "v k ");
}

/// The struct that a map carries, or its configuration as it stands.
std::string shown_as(const json& map, const json& types) {
    const json config = map.value("export_config", json());
    for (const auto& type : types) {
        if (config.contains("btf_type_id") && config["btf_type_id"] == type["type_id"]) {
            return type["name"];
        }
    }
    return config.dump();
}

TEST(Ecc, ExportsSeveralMapsThatCommentsDescribe) {
    const Outcome outcome = run({ecc(), programs + "/several.bpf.c", "-o", "-"});
    ASSERT_EQ(outcome.code, 0) << outcome.err;
    EXPECT_NE(outcome.err.find("events of map silent will not be shown"), std::string::npos);
    const json meta = json::parse(outcome.out)["meta"];
    EXPECT_EQ(meta["enable_multiple_export_types"], true);
    std::string maps;
    for (const auto& map : meta["bpf_skel"]["maps"]) {
        EXPECT_FALSE(map.contains("event")) << "that word is ours, not the format's";
        maps += fmt::format("{}:{} ", map["name"].get<std::string>(),
                            shown_as(map, meta["export_types"]));
    }
    EXPECT_EQ(maps,
              "opened:open_event closed:close_event counts:\"default\" silent:null "
              "several_.bss:null ");
}

TEST(Ecc, EventsThatAreNoneAreErrors) {
    Outcome outcome;
    const std::string header = "struct known { int x; };\n";
    const std::string ring =
        "struct { __uint(type, BPF_MAP_TYPE_RINGBUF); __uint(max_entries, 4096); } r "
        "SEC(\".maps\");\n";
    const std::string hash =
        "struct { __uint(type, BPF_MAP_TYPE_HASH); __uint(max_entries, 8); __type(key, int);"
        " __type(value, int); } h SEC(\".maps\");\n";
    EXPECT_NE(exported(header, "/// @event nothing\n" + ring, outcome).find("no such struct"),
              std::string::npos);
    EXPECT_NE(exported(header, "/// @event {\"a\": 1}\n" + ring, outcome).find("no such struct"),
              std::string::npos);
    EXPECT_NE(exported(header, "/// @event known\n" + hash, outcome).find("neither a ring buffer"),
              std::string::npos);
}

TEST(Ecc, WritesToWhatIsNoFile) {
    const Scratch scratch;
    const Outcome out = run({ecc(), source, "-o", "-"});
    EXPECT_EQ(out.code, 0) << out.err;
    EXPECT_TRUE(json::accept(out.out));
    std::filesystem::create_symlink("/dev/null", scratch.path("null"));
    EXPECT_EQ(run({ecc(), source, "-o", scratch.path("null")}).code, 0);
    EXPECT_TRUE(std::filesystem::is_character_file("/dev/null"));
    EXPECT_TRUE(std::filesystem::is_symlink(scratch.path("null")));
    std::filesystem::create_symlink("real.json", scratch.path("link.json"));
    EXPECT_EQ(run({ecc(), source, "-o", scratch.path("link.json")}).code, 0);
    EXPECT_TRUE(std::filesystem::is_symlink(scratch.path("link.json")));
    EXPECT_EQ(read_file(scratch.path("real.json")), out.out);
    EXPECT_EQ(run({ecc(), source, "-k", "-o", "-"}).code, 2);
}

TEST(Ecc, TakesAFolderAndWritesYaml) {
    const Scratch scratch;
    std::filesystem::copy(RQS_EXAMPLES "/runqslower", scratch.path("folder"));
    const Outcome outcome = run({ecc(), scratch.path("folder"), "--yaml"});
    ASSERT_EQ(outcome.code, 0) << outcome.err;
    const std::string yaml = read_file(scratch.path("folder/package.yaml"));
    EXPECT_EQ(yaml.rfind("\"bpf_object\": ", 0), 0U);
    const Outcome help = run({ecli(), "run", scratch.path("folder/package.yaml"), "-h"});
    EXPECT_EQ(help.code, 0) << help.err;
    EXPECT_NE(help.out.find("--targ_tgid"), std::string::npos);
    ASSERT_EQ(run({ecc(), source, "--json", "-o", scratch.path("folder/x.yaml")}).code, 0);
    EXPECT_TRUE(json::accept(read_file(scratch.path("folder/x.yaml"))));
}

// Wherever it is called from, also beside another file of that name, whose lines it must not take.
TEST(Ecc, WritesTheSameFromEverywhere) {
    const Scratch scratch;
    std::filesystem::copy(RQS_EXAMPLES "/runqslower", scratch.path("here"));
    std::filesystem::create_directory(scratch.path("there"));
    std::string decoy;
    for (int i = 0; i < 200; ++i) {
        decoy += "not a line of it\n";
    }
    write_file(scratch.path("there/runqslower.bpf.c"), decoy);
    const auto made_in = [&](const std::string& folder, const Words& sources) {
        Words words{"env", "-C", scratch.path(folder), ecc()};
        words.insert(words.end(), sources.begin(), sources.end());
        words.insert(words.end(), {"-o", "-"});
        const Outcome outcome = run(words);
        EXPECT_EQ(outcome.code, 0) << outcome.err;
        return outcome.out;
    };
    const std::string package = made_in("here", {"."});
    EXPECT_TRUE(made_in("there", {"../here"}) == package);
    EXPECT_TRUE(made_in("there", {scratch.path("here/runqslower.bpf.c"),
                                  scratch.path("here/runqslower.h")}) == package);
}

TEST(Ecc, TakesTypesFromAFile) {
    const Scratch scratch;
    std::error_code error;
    std::filesystem::copy_file("/sys/kernel/btf/vmlinux", scratch.path("types.btf"), error);
    if (error) {
        GTEST_SKIP() << "the kernel's BTF cannot be read: " << error.message();
    }
    const Outcome outcome = run({ecc(), programs + "/percpu.bpf.c", "--btf",
                                 scratch.path("types.btf"), "-o", scratch.path("p.json")});
    EXPECT_EQ(outcome.code, 0) << outcome.err;
    write_file(scratch.path("cut.btf"), read_file(scratch.path("types.btf")).substr(0, 100'000));
    const Outcome cut = run({ecc(), programs + "/percpu.bpf.c", "--btf", scratch.path("cut.btf")});
    expect_one_line(cut, 1, "cut.btf");
}

}  // namespace
}  // namespace rqs::pkgtest
