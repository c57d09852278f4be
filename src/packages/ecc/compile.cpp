// SPDX-License-Identifier: BSD-2-Clause
#include "ecc/compile.h"

#include <bpf/libbpf.h>
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cstring>
#include <filesystem>
#include <sstream>

#include "bpfkit/handles.h"
#include "ecc/docs.h"
#include "ecc/files.h"
#include "ecc/process.h"
#include "ecc/skeleton.h"
#include "ecc/vmlinux.h"
#include "pkg/object_check.h"
#include "pkg/package.h"
#include "util/safe_text.h"
#include "util/say.h"

namespace rqs::ecc {
namespace {

namespace fs = std::filesystem;

// The names of bpf_tracing.h's __TARGET_ARCH_*: where PT_REGS_PARM1() finds its registers.
#if defined(__x86_64__)
constexpr std::string_view target_arch = "x86";
#elif defined(__aarch64__)
constexpr std::string_view target_arch = "arm64";
#elif defined(__riscv)
constexpr std::string_view target_arch = "riscv";
#elif defined(__powerpc64__)
constexpr std::string_view target_arch = "powerpc";
#elif defined(__s390x__)
constexpr std::string_view target_arch = "s390";
#else
constexpr std::string_view target_arch = "unknown";
#endif

const std::string kernel_btf = "/sys/kernel/btf/vmlinux";

constexpr std::string_view source_suffix = ".bpf.c";

/// What is compiled, with absolute paths.
struct Inputs {
    fs::path source;
    fs::path header;   ///< empty: none
    std::string name;  ///< "client" for client.bpf.c
};

bool has_suffix(const std::string& text, std::string_view suffix) {
    return text.size() > suffix.size() &&
           text.compare(text.size() - suffix.size(), suffix.size(), suffix) == 0;
}

Result<fs::path> source_in(const fs::path& directory) {
    std::vector<fs::path> found;
    std::error_code error;
    for (const auto& entry : fs::directory_iterator(directory, error)) {
        if (has_suffix(entry.path().filename().string(), source_suffix)) {
            found.push_back(entry.path());
        }
    }
    if (error) {
        return fail(fmt::format("cannot read {}: {}", shown(directory), error.message()));
    }
    if (found.size() != 1) {
        return usage_error(fmt::format("{} has {} files *.bpf.c; name the one to compile",
                                       shown(directory), found.size()));
    }
    return found.front();
}

/// What cannot go well, before anything is done.
Status check_words(const CompileOptions& options, const Inputs& inputs) {
    if ((options.keep || options.no_package) && options.output == "-") {
        return usage_error("the object and its metadata are files: give -o a folder, not -");
    }
    if (inputs.source.extension() != ".c") {
        return usage_error(fmt::format("{} is not a BPF source: its name must end in .bpf.c",
                                       shown(inputs.source)));
    }
    std::error_code error;
    for (const fs::path& input : {inputs.source, inputs.header}) {
        if (!options.output.empty() && fs::equivalent(options.output, input, error)) {
            return usage_error(
                fmt::format("{} would be overwritten with the package: name another "
                            "file with -o",
                            shown(input)));
        }
    }
    return {};
}

Result<Inputs> find_inputs(const CompileOptions& options) {
    std::error_code error;
    Inputs inputs;
    inputs.source = fs::absolute(options.source, error);
    inputs.header = options.header.empty() ? fs::path() : fs::absolute(options.header, error);
    if (fs::is_directory(inputs.source, error)) {
        const auto source = source_in(inputs.source);
        if (!source) {
            return tl::unexpected(source.error());
        }
        inputs.source = *source;
        const std::string name = source->filename().string();
        const fs::path header =
            source->parent_path() / (name.substr(0, name.size() - source_suffix.size()) + ".h");
        if (inputs.header.empty() && fs::exists(header, error)) {
            inputs.header = header;
        }
    }
    if (const auto status = check_words(options, inputs); !status) {
        return tl::unexpected(status.error());
    }
    const std::string file = inputs.source.filename().string();
    inputs.name = file.substr(0, file.find('.'));
    if (inputs.name.empty()) {
        return usage_error(fmt::format(
            "{} does not name a BPF source: give a file called NAME.bpf.c", shown(inputs.source)));
    }
    return inputs;
}

/// The directories where this machine's compiler looks: the BPF target itself knows only clang's
/// own headers.
Result<std::vector<std::string>> system_includes(const CompileOptions& options) {
    const auto run = run_process({options.clang, "-v", "-E", "-x", "c", "/dev/null"});
    if (!run) {
        return fail(run.error().message + " (install clang or name it with --clang-bin)");
    }
    std::vector<std::string> words;
    std::istringstream lines(run->output);
    bool listing = false;
    for (std::string line; std::getline(lines, line);) {
        if (line.rfind("#include <", 0) == 0) {
            listing = true;
        } else if (line.rfind("End of search list", 0) == 0) {
            break;
        } else if (listing && line.rfind(" /", 0) == 0) {
            // Behind clang's own headers, whose <stddef.h> and <stdint.h> know the BPF target.
            words.emplace_back("-idirafter");
            words.push_back(line.substr(1));
        }
    }
    return words;
}

/// The structs of the events must reach the BTF even if no code has a variable of them: a pointer
/// to each does that. Readers of packages know these names and pass over them.
std::string with_kept_structs(const std::string& source, const fs::path& path,
                              const std::vector<std::string>& structs) {
    // The line directive lets errors name the source as the user knows it.
    std::string quoted;
    for (const char c : path.string()) {
        quoted += c == '"' || c == '\\' ? std::string("\\") + c : std::string(1, c);
    }
    std::string out = fmt::format("#line 1 \"{}\"\n{}\n", quoted, source);
    for (const auto& name : structs) {
        out += fmt::format("struct {0} *__eunomia_dummy_{0}_ptr;\n", name);
    }
    return out;
}

/// The paths in a user's flags, for a compiler that runs elsewhere.
std::vector<std::string> seen_from_here(std::vector<std::string> flags) {
    constexpr std::array<std::string_view, 6> with_path{"-I",       "-isystem",   "-iquote",
                                                        "-include", "-idirafter", "-imacros"};
    bool path_follows = false;
    for (std::string& flag : flags) {
        if (path_follows) {
            flag = fs::absolute(flag).string();
        }
        const bool alone = std::find(with_path.begin(), with_path.end(), flag) != with_path.end();
        if (!path_follows && !alone && flag.rfind("-I", 0) == 0) {
            flag = "-I" + fs::absolute(flag.substr(2)).string();
        }
        path_follows = !path_follows && alone;
    }
    return flags;
}

class Compiler {
  public:
    Compiler(const CompileOptions& options, Inputs inputs, TemporaryDirectory directory)
        : options_(options), inputs_(std::move(inputs)), directory_(std::move(directory)) {}

    Result<std::string> run() {
        SkeletonInput skeleton;
        if (const auto status = read_sources(skeleton); !status) {
            return tl::unexpected(status.error());
        }
        if (const auto status = write_vmlinux(); !status) {
            return tl::unexpected(status.error());
        }
        if (const auto status = go_on(); !status) {
            return tl::unexpected(status.error());
        }
        util::say("Compiling bpf object...");
        const auto object = compile();
        if (!object) {
            return tl::unexpected(object.error());
        }
        util::say("Generating export types...");
        const auto meta = make_meta(*object, skeleton);
        if (!meta) {
            return tl::unexpected(meta.error());
        }
        if (const auto status = go_on(); !status) {
            return tl::unexpected(status.error());
        }
        return write(*object, *meta);
    }

  private:
    Status read_sources(SkeletonInput& skeleton) {
        auto source = read_file(inputs_.source);
        if (!source) {
            return tl::unexpected(source.error());
        }
        source_ = std::move(*source);
        if (source_.find('\0') != std::string::npos) {
            return fail(
                fmt::format("{} is not C source: it contains zero bytes", shown(inputs_.source)));
        }
        skeleton.object_name = inputs_.name + "_bpf";
        std::replace_if(
            skeleton.object_name.begin(), skeleton.object_name.end(),
            [](unsigned char c) { return std::isalnum(c) == 0 && c != '_'; }, '_');
        skeleton.comments = documented_declarations(source_);
        kept_ = named_events(skeleton.comments);
        return inputs_.header.empty() ? Status{} : read_header(skeleton);
    }

    Status read_header(SkeletonInput& skeleton) {
        const auto header = read_file(inputs_.header);
        if (!header) {
            return tl::unexpected(header.error());
        }
        skeleton.has_header = true;
        skeleton.structs = defined_structs(*header);
        if (skeleton.structs.empty()) {
            util::say(
                fmt::format("ecc: warning: {} defines no struct: the package has no export types",
                            shown(inputs_.header)));
        }
        for (const auto& name : skeleton.structs) {
            if (std::find(kept_.begin(), kept_.end(), name) == kept_.end()) {
                kept_.push_back(name);
            }
        }
        return {};
    }

    Status write_vmlinux() {
        std::error_code error;
        // A vmlinux.h beside the source is found first; then the kernel's types are not needed.
        if (fs::exists(inputs_.source.parent_path() / "vmlinux.h", error)) {
            if (!options_.btf.empty()) {
                return usage_error("--btf is of no use beside a vmlinux.h: the source finds that");
            }
            return {};
        }
        const auto header = vmlinux_header(options_.btf.empty() ? kernel_btf : options_.btf);
        return header ? write_file(directory_.path() / "vmlinux.h", *header)
                      : tl::unexpected(header.error());
    }

    [[nodiscard]] Result<std::vector<std::string>> command(const fs::path& input,
                                                           const fs::path& output) const {
        auto includes = system_includes(options_);
        if (!includes) {
            return includes;
        }
        const std::string here = inputs_.source.parent_path().string();
        // It runs in the source's folder; what the user names otherwise is seen from here.
        const std::string clang = options_.clang.find('/') == std::string::npos
                                      ? options_.clang
                                      : fs::absolute(options_.clang).string();
        std::vector<std::string> words{
            clang, "-g", "-O2", "-target", "bpf", fmt::format("-D__TARGET_ARCH_{}", target_arch),
            "-fno-ident", "-fno-color-diagnostics", "-Wno-unknown-attributes",
            // The package must not depend on where it was made.
            "-fdebug-compilation-dir=.", "-ffile-prefix-map=" + here + "=.",
            "-ffile-prefix-map=" + directory_.path().string() + "=.", "-I" + here,
            "-I" + directory_.path().string()};
        words.insert(words.end(), includes->begin(), includes->end());
        const auto flags = seen_from_here(options_.flags);
        words.insert(words.end(), flags.begin(), flags.end());
        words.insert(words.end(), {"-c", input.string(), "-o", output.string()});
        return words;
    }

    Result<pkg::Bytes> compile() {
        fs::path input = inputs_.source;
        if (!kept_.empty()) {
            input = directory_.path() / (inputs_.name + ".bpf.c");
            const auto text = with_kept_structs(source_, inputs_.source, kept_);
            if (const auto status = write_file(input, text); !status) {
                return tl::unexpected(status.error());
            }
        }
        const fs::path compiled = directory_.path() / "compiled.o";
        const auto words = command(input, compiled);
        if (!words) {
            return tl::unexpected(words.error());
        }
        if (options_.verbose) {
            util::say(fmt::format("{}", fmt::join(*words, " ")));
        }
        // There clang finds the lines of the source for the verifier's log, by the names that the
        // prefix maps leave; elsewhere it would find none, or some other file's.
        const auto run = run_process(*words, inputs_.source.parent_path().string());
        if (!run) {
            return tl::unexpected(run.error());
        }
        // The compiler's own words, whether it failed or only warned.
        util::say_text(run->output);
        if (run->exit_code != 0) {
            return fail(fmt::format("{} could not compile {} (its messages stand above)",
                                    util::printable(options_.clang), shown(inputs_.source)));
        }
        std::error_code error;
        if (!fs::exists(compiled, error)) {
            return fail(
                fmt::format("{} wrote no object: is it clang?", util::printable(options_.clang)));
        }
        return without_debug_data(compiled);
    }

    /// libbpf's linker keeps what a BPF object needs and drops DWARF: no other tool is wanted.
    [[nodiscard]] Result<pkg::Bytes> without_debug_data(const fs::path& compiled) const {
        using LinkerPtr = std::unique_ptr<bpf_linker, bpfkit::Deleter<bpf_linker__free>>;
        const fs::path linked = directory_.path() / (inputs_.name + ".bpf.o");
        (void)bpfkit::take_log();
        const LinkerPtr linker(bpf_linker__new(linked.c_str(), nullptr));
        int error = linker == nullptr ? -errno : 0;
        error = error != 0 ? error : bpf_linker__add_file(linker.get(), compiled.c_str(), nullptr);
        error = error != 0 ? error : bpf_linker__finalize(linker.get());
        if (error != 0) {
            return fail(fmt::format("libbpf cannot link the object: {}", bpfkit::describe(error)));
        }
        const auto content = read_file(linked);
        if (!content) {
            return tl::unexpected(content.error());
        }
        pkg::Bytes bytes(content->begin(), content->end());
        if (const auto sound = pkg::check_object(bytes); !sound) {
            return fail("the compiler's object: " + sound.error().message);
        }
        return bytes;
    }

    [[nodiscard]] fs::path output_path() const {
        const char* name = options_.yaml ? "package.yaml" : "package.json";
        std::error_code error;
        if (options_.output.empty()) {
            return inputs_.source.parent_path() / name;
        }
        const bool directory =
            options_.output.back() == '/' || fs::is_directory(options_.output, error);
        return directory ? fs::path(options_.output) / name : fs::path(options_.output);
    }

    [[nodiscard]] bool writes_yaml(const fs::path& path) const {
        const bool by_name =
            has_suffix(path.string(), ".yaml") || has_suffix(path.string(), ".yml");
        return options_.yaml || (by_name && !options_.json);
    }

    [[nodiscard]] Result<std::string> write(const pkg::Bytes& object, const pkg::Json& meta) const {
        const bool to_stdout = options_.output == "-";
        const fs::path path = to_stdout ? fs::path("standard output") : output_path();
        const bool yaml = writes_yaml(path);
        Status status;
        if (!options_.no_package) {
            const auto package = pkg::package_json(object, meta);
            if (!package) {
                return tl::unexpected(package.error());
            }
            util::say(fmt::format("Packing ebpf object and config into {}...", shown(path)));
            const std::string text = yaml ? pkg::to_yaml(*package) : package->dump() + "\n";
            status = to_stdout ? write_stdout(text) : write_file(path, text);
        }
        if (status && (options_.keep || options_.no_package)) {
            status = write_parts(path.parent_path(), object, meta, yaml);
        }
        if (!status) {
            return tl::unexpected(status.error());
        }
        return path.string();
    }

    /// What the package is made of, as files.
    [[nodiscard]] Status write_parts(const fs::path& folder, const pkg::Bytes& object,
                                     const pkg::Json& meta, bool yaml) const {
        const auto status = write_file(folder / (inputs_.name + ".bpf.o"),
                                       std::string(object.begin(), object.end()));
        return !status ? status
                       : write_file(folder / (inputs_.name + (yaml ? ".skel.yaml" : ".skel.json")),
                                    yaml ? pkg::to_yaml(meta) : meta.dump() + "\n");
    }

    const CompileOptions& options_;
    Inputs inputs_;
    TemporaryDirectory directory_;
    std::string source_;
    std::vector<std::string> kept_;
};

}  // namespace

Result<std::string> compile_package(const CompileOptions& options) {
    auto inputs = find_inputs(options);
    if (!inputs) {
        return tl::unexpected(inputs.error());
    }
    auto directory = TemporaryDirectory::make();
    if (!directory) {
        return tl::unexpected(directory.error());
    }
    return Compiler(options, std::move(*inputs), std::move(*directory)).run();
}

}  // namespace rqs::ecc
