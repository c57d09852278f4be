// SPDX-License-Identifier: BSD-2-Clause
#include "ecc/process.h"

#include <fcntl.h>
#include <fmt/format.h>

#include <array>
#include <cerrno>
#include <cstdlib>
#include <cstring>

#include "util/child.h"
#include "util/fd.h"
#include "util/read_to_end.h"
#include "util/safe_text.h"
#include "util/stop_signals.h"

namespace rqs::ecc {

Status go_on() {
    return util::stop_signal() == 0 ? Status{} : fail("interrupted");
}

Result<ProcessResult> run_process(const std::vector<std::string>& words,
                                  const std::string& directory) {
    // No input: what is run here must not read the user's terminal.
    const util::Fd nothing(::open("/dev/null", O_RDONLY | O_CLOEXEC));
    std::array<int, 2> ends{};
    if (!nothing.valid() || ::pipe2(ends.data(), O_CLOEXEC) != 0) {
        return fail(
            fmt::format("cannot run {}: {}", util::printable(words[0]), std::strerror(errno)));
    }
    const util::Fd reading(ends[0]);
    util::Fd writing(ends[1]);
    auto child =
        util::Child::prepare(words, {nothing.get(), writing.get(), writing.get(), directory});
    writing.reset();  // or our own copy of it would keep the end of the output from coming
    if (!child) {
        return tl::unexpected(child.error());
    }
    if (const auto started = child->release(); !started) {
        return fail(started.error().message);
    }
    auto output = util::read_to_end(reading.get());
    if (const auto status = go_on(); !status) {
        return tl::unexpected(status.error());  // with `child` goes the process
    }
    if (!output) {
        return fail(fmt::format("cannot read what {} says: {}", util::printable(words[0]),
                                std::strerror(errno)));
    }
    return ProcessResult{child->wait(), std::move(*output)};
}

Result<TemporaryDirectory> TemporaryDirectory::make() {
    std::error_code error;
    auto base = std::filesystem::temp_directory_path(error);
    std::string pattern = (error ? std::filesystem::path("/tmp") : base) / "ecc-XXXXXX";
    if (::mkdtemp(pattern.data()) == nullptr) {
        return fail(fmt::format("cannot make a temporary directory {}: {}",
                                util::printable(pattern), std::strerror(errno)));
    }
    return TemporaryDirectory(pattern);
}

TemporaryDirectory::~TemporaryDirectory() {
    if (!path_.empty()) {
        std::error_code ignored;
        std::filesystem::remove_all(path_, ignored);
    }
}

}  // namespace rqs::ecc
