// SPDX-License-Identifier: BSD-2-Clause
// The one way in which a function of this project says that it failed.
#pragma once

#include <string>
#include <tl/expected.hpp>

namespace rqs {

/// What a user did wrong (2) is told apart from what the machine refused (1), and from data that
/// were lost though that was not to be (3).
enum class ExitCode : int { ok = 0, failure = 1, usage = 2, lost = 3 };

/// `message` is one line without a newline, says what to do next, and is printed by main alone.
struct Error {
    std::string message;
    ExitCode code = ExitCode::failure;
};

template <typename T>
using Result = tl::expected<T, Error>;
using Status = tl::expected<void, Error>;

inline tl::unexpected<Error> fail(std::string message) {
    return tl::unexpected(Error{std::move(message), ExitCode::failure});
}

inline tl::unexpected<Error> usage_error(std::string message) {
    return tl::unexpected(Error{std::move(message), ExitCode::usage});
}

}  // namespace rqs
