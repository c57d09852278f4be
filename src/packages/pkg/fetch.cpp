// SPDX-License-Identifier: BSD-2-Clause
#include "pkg/fetch.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <charconv>
#include <cstring>
#include <optional>
#include <string_view>
#include <utility>

#include "pkg/http.h"
#include "pkg/limits.h"
#include "util/fd.h"
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

constexpr std::string_view file_scheme = "file://";

/// The path of a file:// URL of this machine, %41 and the like put back; nothing if it is none.
std::optional<std::string> path_of_url(const std::string& url) {
    std::string_view rest = std::string_view(url).substr(file_scheme.size());
    for (const std::string_view here : {"localhost", ""}) {
        if (rest.substr(0, here.size()) == here && rest.substr(here.size(), 1) == "/") {
            rest.remove_prefix(here.size());
            break;
        }
    }
    std::string path;
    for (std::size_t i = 0; i < rest.size(); ++i) {
        unsigned char byte = 0;
        const std::string_view digits = rest.substr(i + 1, 2);
        const auto [end, error] =
            std::from_chars(digits.data(), digits.data() + digits.size(), byte, 16);
        if (rest[i] == '%' && digits.size() == 2 && end == digits.data() + 2 &&
            error == std::errc{}) {
            path += static_cast<char>(byte);
            i += 2;
        } else {
            path += rest[i];
        }
    }
    return path.rfind('/', 0) == 0 ? std::optional(path) : std::nullopt;
}

bool exists(const std::string& path) {
    return ::access(path.c_str(), F_OK) == 0;
}

bool is_directory(const std::string& path) {
    struct stat status {};
    return ::stat(path.c_str(), &status) == 0 && S_ISDIR(status.st_mode);
}

/// A file, or the package.json in a folder.
Result<std::string> read_file(std::string path) {
    const std::string given = util::printable(path);
    const bool folder = is_directory(path);
    path += folder ? "/package.json" : "";
    const util::Fd file(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
    if (!file.valid() && folder && errno == ENOENT) {
        return fail(fmt::format("{} is a directory without a package.json", given));
    }
    const std::string name = util::printable(path);
    if (!file.valid()) {
        return fail(fmt::format("cannot open {}: {}", name, std::strerror(errno)));
    }
    return read_package(file.get(), name);
}

}  // namespace

Result<std::string> fetch(const std::string& source) {
    if (source == "-") {
        return read_package(STDIN_FILENO, "standard input");
    }
    if (is_url(source)) {
        return http_get(source, limits::package_bytes);
    }
    if (source.rfind(file_scheme, 0) == 0) {
        auto path = path_of_url(source);
        return path
                   ? read_file(std::move(*path))
                   : fail(fmt::format("{} is not a file of this machine", util::printable(source)));
    }
    const auto scheme = source.find("://");
    if (scheme != std::string::npos && !exists(source)) {
        return fail(fmt::format("cannot fetch {}: only http, https and file URLs are supported",
                                util::printable(source)));
    }
    return read_file(source);
}

}  // namespace rqs::pkg
