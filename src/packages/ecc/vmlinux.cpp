// SPDX-License-Identifier: BSD-2-Clause
#include "ecc/vmlinux.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>

#include <cerrno>
#include <cstring>

#include "bpfkit/handles.h"
#include "ecc/dump_sink.h"
#include "pkg/object_check.h"
#include "util/fd.h"
#include "util/safe_text.h"

namespace rqs::ecc {
namespace {

using DumpPtr = std::unique_ptr<btf_dump, bpfkit::Deleter<btf_dump__free>>;

// With preserve_access_index, clang writes a CO-RE relocation for each access to a kernel's struct:
// that is why a package runs on kernels other than this one.
constexpr std::string_view preamble = R"(#ifndef __VMLINUX_H__
#define __VMLINUX_H__

#ifndef BPF_NO_PRESERVE_ACCESS_INDEX
#pragma clang attribute push (__attribute__((preserve_access_index)), apply_to = record)
#endif

)";

constexpr std::string_view ending = R"(
#ifndef BPF_NO_PRESERVE_ACCESS_INDEX
#pragma clang attribute pop
#endif

#endif
)";

/// libbpf's own errors do not tell a file without BTF from one that is not there.
std::string why_not(const std::string& file) {
    const util::Fd opened(::open(file.c_str(), O_RDONLY | O_CLOEXEC));
    struct stat found {};
    if (!opened.valid() || ::fstat(opened.get(), &found) != 0) {
        return std::strerror(errno);
    }
    return S_ISDIR(found.st_mode) ? "it is a directory" : "it holds none";
}

}  // namespace

Result<std::string> vmlinux_header(const std::string& btf_file) {
    const std::string name = util::printable(btf_file);
    const bpfkit::BtfPtr types(btf__parse(btf_file.c_str(), nullptr));
    if (types == nullptr) {
        return fail(fmt::format("cannot read BTF from {}: {} (give another file with --btf)", name,
                                why_not(btf_file)));
    }
    // btf_dump follows ids and names without a look at their range; --btf may name any file.
    std::uint32_t size = 0;
    const void* raw = btf__raw_data(types.get(), &size);
    if (const auto sound = pkg::check_btf({static_cast<const char*>(raw), size}); !sound) {
        return fail(fmt::format("cannot use {}: {}", name, sound.error().message));
    }
    std::string out(preamble);
    const DumpPtr dump(btf_dump__new(types.get(), append_formatted, &out, nullptr));
    if (dump == nullptr) {
        return fail(fmt::format("cannot make C of {}: {}", name, std::strerror(errno)));
    }
    const std::uint32_t count = btf__type_cnt(types.get());
    for (std::uint32_t id = 1; id < count; ++id) {
        const int error = btf_dump__dump_type(dump.get(), id);
        if (error != 0) {
            return fail(
                fmt::format("cannot make C of type {} in {}: {}", id, name, std::strerror(-error)));
        }
    }
    return out += ending;
}

}  // namespace rqs::ecc
