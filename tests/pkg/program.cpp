// SPDX-License-Identifier: BSD-2-Clause
#include "program.h"

#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>

namespace rqs::pkgtest {
namespace {

std::string from_environment(const char* variable, const char* otherwise) {
    const char* given = std::getenv(variable);
    return given != nullptr ? given : otherwise;
}

}  // namespace

std::string example_version() {
    const std::string source = read_file(RQS_EXAMPLES "/runqslower/runqslower.bpf.c");
    const std::string mark = "@version ";
    const std::size_t at = source.find(mark);
    if (at == std::string::npos) {
        return "no @version in the example\n";
    }
    const std::size_t start = at + mark.size();
    return "runqslower_bpf " + source.substr(start, source.find('\n', start) - start) + "\n";
}

std::string ecc() {
    return from_environment("RQS_ECC_BIN", RQS_ECC);
}

std::string ecli() {
    return from_environment("RQS_ECLI_BIN", RQS_ECLI);
}

Scratch::Scratch() {
    std::string pattern = std::filesystem::temp_directory_path() / "pkgtest-XXXXXX";
    path_ = ::mkdtemp(pattern.data()) != nullptr ? pattern : std::string();
    // Some tests run their program as another user.
    std::filesystem::permissions(path_, std::filesystem::perms(0755));
}

Scratch::~Scratch() {
    std::error_code ignored;
    std::filesystem::remove_all(path_, ignored);
}

void write_file(const std::string& path, const std::string& content) {
    std::ofstream(path, std::ios::binary) << content;
}

std::string read_file(const std::string& path) {
    std::ifstream file(path, std::ios::binary);
    return {std::istreambuf_iterator<char>(file), {}};
}

bool may_trace() {
    return ::geteuid() == 0 && std::filesystem::exists("/sys/kernel/btf/vmlinux");
}

}  // namespace rqs::pkgtest
