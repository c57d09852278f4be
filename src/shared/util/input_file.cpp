// SPDX-License-Identifier: BSD-2-Clause
#include "util/input_file.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <utility>

#include "util/safe_text.h"

namespace rqs::util {

Result<InputFile> open_input(const std::string& path, std::string_view directory_advice) {
    const bool from_stdin = path == "-";
    InputFile file;
    file.fd = Fd(from_stdin ? ::fcntl(STDIN_FILENO, F_DUPFD_CLOEXEC, 0)
                            : ::open(path.c_str(), O_RDONLY | O_CLOEXEC));
    file.name = from_stdin ? "standard input" : printable(path);
    struct stat status {};
    if (!file.fd.valid() || ::fstat(file.fd.get(), &status) != 0) {
        return fail(fmt::format("cannot read {}: {}", file.name, std::strerror(errno)));
    }
    if (S_ISDIR(status.st_mode)) {
        return fail(fmt::format("{} is a directory; {}", file.name, directory_advice));
    }
    if (S_ISREG(status.st_mode)) {
        file.size = static_cast<std::uint64_t>(status.st_size);
    }
    return file;
}

}  // namespace rqs::util
