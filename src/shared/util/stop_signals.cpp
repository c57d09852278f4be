// SPDX-License-Identifier: BSD-2-Clause
#include "util/stop_signals.h"

#include <array>
#include <csignal>

namespace rqs::util {
namespace {

volatile std::sig_atomic_t caught = 0;
volatile std::sig_atomic_t sent = 0;

void note(int signal, siginfo_t* info, void* /*context*/) {
    if (caught != 0) {
        // Somebody means it.
        (void)std::signal(signal, SIG_DFL);
        (void)std::raise(signal);
    }
    sent = info->si_code <= 0 ? 1 : 0;  // SI_FROMUSER()
    caught = signal;
}

}  // namespace

void catch_stop_signals() {
    struct sigaction action {};
    action.sa_sigaction = note;
    action.sa_flags = SA_SIGINFO;  // no SA_RESTART: a wait must end
    sigemptyset(&action.sa_mask);
    constexpr std::array signals{SIGINT, SIGTERM, SIGHUP};
    for (const int signal : signals) {
        struct sigaction before {};
        // Under nohup, or in the background of a script, an ignored signal stays ignored.
        if (::sigaction(signal, nullptr, &before) == 0 && before.sa_handler != SIG_IGN) {
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
    return sent != 0;
}

}  // namespace rqs::util
