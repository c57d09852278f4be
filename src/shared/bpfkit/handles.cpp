// SPDX-License-Identifier: BSD-2-Clause
#include "bpfkit/handles.h"

#include <fmt/format.h>
#include <sys/resource.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdarg>
#include <cstdio>
#include <cstring>

#include "util/safe_text.h"
#include "util/say.h"

namespace rqs::bpfkit {
namespace {

bool log_verbose = false;
std::string log_kept;
constexpr std::size_t log_kept_max = 4096;

// A whole message of libbpf, even a verifier's log of megabytes. Made printable, because it
// contains names that a package chose.
[[gnu::format(printf, 1, 0)]] void print_lines(const char* format, va_list args) {
    va_list again;
    va_copy(again, args);
    const int length = std::vsnprintf(nullptr, 0, format, again);
    va_end(again);
    std::string text(static_cast<std::size_t>(std::max(length, 0)) + 1, '\0');
    (void)std::vsnprintf(text.data(), text.size(), format, args);
    text.pop_back();
    std::string safe;
    for (std::string_view rest = text; !rest.empty();) {
        const std::size_t end = std::min(rest.find('\n'), rest.size());
        util::append_printable(safe, rest.substr(0, end));
        if (end != rest.size()) {
            safe += '\n';
        }
        rest.remove_prefix(std::min(end + 1, rest.size()));
    }
    util::say_text(safe);
}

[[gnu::format(printf, 2, 0)]] int keep_log(libbpf_print_level level, const char* format,
                                           va_list args) {
    if (log_verbose) {
        print_lines(format, args);
        return 0;
    }
    if (level == LIBBPF_WARN && log_kept.size() < log_kept_max) {
        std::array<char, log_kept_max> text{};
        (void)std::vsnprintf(text.data(), text.size(), format, args);
        log_kept += text.data();
    }
    return 0;
}

}  // namespace

void install_log(bool verbose) {
    log_verbose = verbose;
    log_kept.clear();
    libbpf_set_print(keep_log);
}

std::string take_log() {
    std::string line;
    const std::string text = std::exchange(log_kept, {});
    for (const char c : text) {
        if (c == '\n') {
            line += "; ";
        } else {
            line += c;
        }
    }
    while (!line.empty() && (line.back() == ' ' || line.back() == ';')) {
        line.pop_back();
    }
    return util::printable(line);
}

std::string describe(int error) {
    const std::string log = take_log();
    const char* text = std::strerror(std::abs(error));
    return log.empty() ? std::string(text) : fmt::format("{} ({})", text, log);
}

bool is_permission_error(int error) {
    return std::abs(error) == EPERM || std::abs(error) == EACCES;
}

void lift_memlock_limit() {
    const rlimit infinite{RLIM_INFINITY, RLIM_INFINITY};
    (void)::setrlimit(RLIMIT_MEMLOCK, &infinite);
}

}  // namespace rqs::bpfkit
