// SPDX-License-Identifier: BSD-2-Clause
#include "bpfkit/handles.h"

#include <fmt/format.h>
#include <sys/resource.h>

#include <array>
#include <cerrno>
#include <cstdarg>
#include <cstdio>
#include <cstring>

#include "util/safe_text.h"

namespace rqs::bpfkit {
namespace {

bool log_verbose = false;
std::string log_kept;
constexpr std::size_t log_kept_max = 4096;

[[gnu::format(printf, 2, 0)]] int keep_log(libbpf_print_level level, const char* format,
                                           va_list args) {
    if (log_verbose) {
        return std::vfprintf(stderr, format, args);
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
