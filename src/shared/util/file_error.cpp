// SPDX-License-Identifier: BSD-2-Clause
#include "util/file_error.h"

#include <fmt/format.h>

#include <cerrno>
#include <cstring>

#include "util/safe_text.h"

namespace rqs::util {
namespace {

std::string_view writing_advice(int error) {
    switch (error) {
        case ENOSPC:
        case EDQUOT:
            return "; free some space or write to another disk";
        case EFBIG:
            return "; raise the limit (ulimit -f) or write to another file";
        default:
            return "";
    }
}

std::string_view creation_advice(int error) {
    switch (error) {
        case ENOENT:
        case ENOTDIR:
            return "; create its directory or name another file";
        case EISDIR:
            return "; name a file in it";
        case EACCES:
        case EPERM:
        case EROFS:
            return "; name a file where you may write";
        case EEXIST:
            return "; remove it or name another file";
        case EINTR:
            return ": stopped before anybody read it";
        default:
            return "; name another file";
    }
}

}  // namespace

tl::unexpected<Error> cannot_create(std::string_view path, int error) {
    return fail(fmt::format("cannot create '{}': {}{}", printable(path), std::strerror(error),
                            creation_advice(error)));
}

std::string cannot_write(std::string_view name, int error) {
    return fmt::format("cannot write to {}: {}{}", name, std::strerror(error),
                       writing_advice(error));
}

}  // namespace rqs::util
