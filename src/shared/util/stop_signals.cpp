// SPDX-License-Identifier: BSD-2-Clause
#include "util/stop_signals.h"

#include <array>
#include <atomic>
#include <cerrno>
#include <csignal>

namespace rqs::util {
namespace {

struct Caught {
    int signal;
    bool stays_ignored;  ///< where the program was started to ignore it
};
constexpr std::array<Caught, 3> all_caught{{{SIGINT, false}, {SIGTERM, true}, {SIGHUP, true}}};

// Written by the handler, in whichever thread it runs: lock-free, or it would not be safe there.
std::atomic<std::uint64_t> first_ns = 0;  ///< when the first signal came; 0 is not yet
std::atomic<int> caught = 0;
std::atomic<bool> sent = false;
std::atomic<SignalClock> now_ns = nullptr;
static_assert(std::atomic<std::uint64_t>::is_always_lock_free);

std::atomic<bool> ignored_int = false;  ///< INT was ignored when the program was started

void note(int signal, siginfo_t* info, void* /*context*/) {
    constexpr std::uint64_t repeat_ns = 1'000'000'000;
    const int error = errno;
    const std::uint64_t now = now_ns.load()();
    std::uint64_t first = 0;
    if (first_ns.compare_exchange_strong(first, now)) {
        sent = info->si_code <= 0;  // SI_FROMUSER()
        caught = signal;
    } else if (signal != SIGHUP && (signal != caught || now - first >= repeat_ns)) {
        // Somebody means it. HUP is not among them: systemd sends it right after TERM.
        (void)std::signal(signal, SIG_DFL);
        (void)std::raise(signal);
    }
    errno = error;
}

bool is_note(const struct sigaction& action) {
    return (action.sa_flags & SA_SIGINFO) != 0 && action.sa_sigaction == note;
}

bool is_ignored(const struct sigaction& action) {
    return (action.sa_flags & SA_SIGINFO) == 0 && action.sa_handler == SIG_IGN;
}

}  // namespace

void catch_stop_signals(SignalClock clock) {
    now_ns = clock;
    struct sigaction action {};
    action.sa_sigaction = note;
    action.sa_flags = SA_SIGINFO;  // no SA_RESTART: a wait must end
    sigemptyset(&action.sa_mask);
    for (const auto& [signal, stays_ignored] : all_caught) {
        struct sigaction before {};
        if (::sigaction(signal, nullptr, &before) != 0 || is_note(before)) {
            continue;
        }
        if (!is_ignored(before)) {
            ::sigaction(signal, &action, nullptr);
        } else if (!stays_ignored) {
            ignored_int = true;
            ::sigaction(signal, &action, nullptr);
        }
    }
    (void)std::signal(SIGPIPE, SIG_IGN);
    (void)std::signal(SIGXFSZ, SIG_IGN);
}

int stop_signal() {
    return caught;
}

bool stop_signal_was_sent() {
    return sent;
}

void restore_stop_signals() {
    for (const auto& [signal, stays_ignored] : all_caught) {
        struct sigaction action {};
        if (::sigaction(signal, nullptr, &action) == 0 && !is_ignored(action)) {
            (void)std::signal(signal, SIG_DFL);
        }
    }
    if (ignored_int) {
        (void)std::signal(SIGINT, SIG_IGN);
    }
    (void)std::signal(SIGPIPE, SIG_DFL);
    (void)std::signal(SIGXFSZ, SIG_DFL);
}

}  // namespace rqs::util
