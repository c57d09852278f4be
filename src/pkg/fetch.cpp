// SPDX-License-Identifier: BSD-2-Clause
#include "pkg/fetch.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstring>

#include "bpfkit/handles.h"
#include "pkg/http.h"
#include "pkg/limits.h"
#include "util/safe_text.h"

namespace rqs::pkg {
namespace {

Result<std::string> read_to_end(int fd, const std::string& name) {
    std::string out;
    std::array<char, 65536> chunk{};
    for (;;) {
        const ssize_t size = ::read(fd, chunk.data(), chunk.size());
        if (size < 0 && errno == EINTR) {
            continue;
        }
        if (size < 0) {
            return fail(fmt::format("cannot read {}: {}", name, std::strerror(errno)));
        }
        if (size == 0) {
            return out;
        }
        out.append(chunk.data(), static_cast<std::size_t>(size));
        if (out.size() > limits::package_bytes) {
            return fail(fmt::format("{} is larger than {} MiB: not a package", name,
                                    limits::package_bytes >> 20));
        }
    }
}

}  // namespace

Result<std::string> fetch(const std::string& source) {
    if (source == "-") {
        return read_to_end(STDIN_FILENO, "standard input");
    }
    if (is_url(source)) {
        return http_get(source, limits::package_bytes);
    }
    const bpfkit::Fd file(::open(source.c_str(), O_RDONLY | O_CLOEXEC));
    const std::string name = util::printable(source);
    if (!file.valid()) {
        return fail(fmt::format("cannot open {}: {}", name, std::strerror(errno)));
    }
    return read_to_end(file.get(), name);
}

}  // namespace rqs::pkg
