// SPDX-License-Identifier: BSD-2-Clause
#include "pkg/fetch.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <utility>

#include "bpfkit/handles.h"
#include "pkg/http.h"
#include "pkg/limits.h"
#include "util/read_to_end.h"
#include "util/safe_text.h"

namespace rqs::pkg {
namespace {

Result<std::string> read_package(int fd, const std::string& name) {
    auto text = util::read_to_end(fd, limits::package_bytes);
    if (text) {
        return std::move(*text);
    }
    return fail(errno == EFBIG ? fmt::format("{} is larger than {} MiB: not a package", name,
                                             limits::package_bytes >> 20)
                               : fmt::format("cannot read {}: {}", name, std::strerror(errno)));
}

}  // namespace

Result<std::string> fetch(const std::string& source) {
    if (source == "-") {
        return read_package(STDIN_FILENO, "standard input");
    }
    if (is_url(source)) {
        return http_get(source, limits::package_bytes);
    }
    const bpfkit::Fd file(::open(source.c_str(), O_RDONLY | O_CLOEXEC));
    const std::string name = util::printable(source);
    if (!file.valid()) {
        return fail(fmt::format("cannot open {}: {}", name, std::strerror(errno)));
    }
    return read_package(file.get(), name);
}

}  // namespace rqs::pkg
