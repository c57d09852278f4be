// SPDX-License-Identifier: BSD-2-Clause
#include "util/stop_signals.h"

#include <gtest/gtest.h>
#include <sys/resource.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <csignal>
#include <cstdint>
#include <cstdio>
#include <cstdlib>

namespace rqs::util {
namespace {

// Signals change the whole process: each case runs in one of its own.

void expect(bool condition, int code) {
    if (!condition) {
        std::_Exit(code);
    }
}

void one_signal_sets_the_flag(int signal) {
    catch_stop_signals();
    expect(stop_signal() == 0, 1);
    (void)std::raise(signal);
    expect(stop_signal() == signal, 2);
    std::_Exit(0);
}

void another_signal_kills() {
    catch_stop_signals();
    (void)std::raise(SIGINT);
    (void)std::raise(SIGTERM);
    std::_Exit(0);
}

constexpr std::uint64_t second_ns = 1'000'000'000;
std::uint64_t test_time_ns = 5 * second_ns;
std::uint64_t test_clock() {
    return test_time_ns;
}

/// Sends `signal` twice, and says by its exit code that it lived on.
void the_same_signal_after(std::uint64_t pause_ns, int signal) {
    (void)std::signal(signal, SIG_DFL);
    catch_stop_signals(test_clock);
    (void)std::raise(signal);
    test_time_ns += pause_ns;
    (void)std::raise(signal);
    std::_Exit(stop_signal() == signal ? 0 : 1);
}

void hup_does_not_hurry() {
    (void)std::signal(SIGHUP, SIG_DFL);
    catch_stop_signals();
    (void)std::raise(SIGTERM);
    (void)std::raise(SIGHUP);
    std::_Exit(stop_signal() == SIGTERM ? 0 : 1);
}

void an_ignored_signal_stays_ignored(int signal) {
    (void)std::signal(signal, SIG_IGN);
    catch_stop_signals();
    (void)std::raise(signal);
    std::_Exit(stop_signal() == 0 ? 0 : 1);
}

void an_ignored_interrupt_is_caught() {
    (void)std::signal(SIGINT, SIG_IGN);
    catch_stop_signals();
    (void)std::raise(SIGINT);
    std::_Exit(stop_signal() == SIGINT ? 0 : 1);
}

bool is(int signal, void (*handler)(int)) {
    struct sigaction action {};
    return ::sigaction(signal, nullptr, &action) == 0 && action.sa_handler == handler;
}

void what_was_inherited_is_restored() {
    (void)std::signal(SIGINT, SIG_IGN);
    (void)std::signal(SIGHUP, SIG_IGN);
    (void)std::signal(SIGTERM, SIG_DFL);
    catch_stop_signals();
    catch_stop_signals();  // a second time forgets nothing
    restore_stop_signals();
    expect(is(SIGINT, SIG_IGN) && is(SIGHUP, SIG_IGN), 1);
    expect(is(SIGTERM, SIG_DFL) && is(SIGPIPE, SIG_DFL) && is(SIGXFSZ, SIG_DFL), 2);
    std::_Exit(0);
}

void what_was_not_ignored_gets_its_default() {
    (void)std::signal(SIGINT, SIG_DFL);
    catch_stop_signals();
    restore_stop_signals();
    std::_Exit(is(SIGINT, SIG_DFL) ? 0 : 1);
}

void a_signal_interrupts_what_waits() {
    catch_stop_signals();
    struct sigaction to_term {};
    to_term.sa_handler = [](int) { (void)std::raise(SIGTERM); };
    expect(::sigaction(SIGALRM, &to_term, nullptr) == 0, 1);
    ::ualarm(20'000, 0);
    timespec long_time{20, 0};
    expect(::nanosleep(&long_time, nullptr) == -1 && errno == EINTR, 2);
    std::_Exit(stop_signal() == SIGTERM ? 0 : 3);
}

void a_broken_pipe_is_an_error() {
    catch_stop_signals();
    std::array<int, 2> ends{};
    expect(::pipe(ends.data()) == 0, 1);
    ::close(ends[0]);
    expect(::write(ends[1], "x", 1) == -1 && errno == EPIPE, 2);
    std::_Exit(0);
}

void a_file_too_large_is_an_error() {
    (void)std::signal(SIGXFSZ, SIG_DFL);
    catch_stop_signals();
    std::FILE* file = std::tmpfile();
    expect(file != nullptr, 1);
    const rlimit none{0, RLIM_INFINITY};
    expect(::setrlimit(RLIMIT_FSIZE, &none) == 0, 2);
    expect(::write(::fileno(file), "x", 1) == -1 && errno == EFBIG, 3);
    std::_Exit(0);
}

TEST(StopSignalsDeathTest, OneSignalSetsTheFlag) {
    for (const int signal : {SIGINT, SIGTERM}) {
        EXPECT_EXIT(one_signal_sets_the_flag(signal), ::testing::ExitedWithCode(0), "");
    }
    EXPECT_EXIT(
        {
            (void)std::signal(SIGHUP, SIG_DFL);  // the test itself may run under nohup
            one_signal_sets_the_flag(SIGHUP);
        },
        ::testing::ExitedWithCode(0), "");
}

TEST(StopSignalsDeathTest, AnotherSignalKills) {
    EXPECT_EXIT(another_signal_kills(), ::testing::KilledBySignal(SIGTERM), "");
}

TEST(StopSignalsDeathTest, TheSameSignalWithinASecondIsOne) {
    for (const int signal : {SIGINT, SIGTERM, SIGHUP}) {
        EXPECT_EXIT(the_same_signal_after(second_ns - 1, signal), ::testing::ExitedWithCode(0), "");
    }
}

TEST(StopSignalsDeathTest, TheSameSignalAfterASecondKills) {
    for (const int signal : {SIGINT, SIGTERM}) {
        EXPECT_EXIT(the_same_signal_after(second_ns, signal), ::testing::KilledBySignal(signal),
                    "");
    }
    EXPECT_EXIT(the_same_signal_after(2 * second_ns, SIGHUP), ::testing::ExitedWithCode(0), "");
}

TEST(StopSignalsDeathTest, HupDoesNotHurry) {
    EXPECT_EXIT(hup_does_not_hurry(), ::testing::ExitedWithCode(0), "");
}

TEST(StopSignalsDeathTest, AnIgnoredSignalStaysIgnored) {
    for (const int signal : {SIGHUP, SIGTERM}) {
        EXPECT_EXIT(an_ignored_signal_stays_ignored(signal), ::testing::ExitedWithCode(0), "");
    }
}

TEST(StopSignalsDeathTest, AnIgnoredInterruptIsCaught) {
    EXPECT_EXIT(an_ignored_interrupt_is_caught(), ::testing::ExitedWithCode(0), "");
}

TEST(StopSignalsDeathTest, WhatWasInheritedIsRestored) {
    EXPECT_EXIT(what_was_inherited_is_restored(), ::testing::ExitedWithCode(0), "");
    EXPECT_EXIT(what_was_not_ignored_gets_its_default(), ::testing::ExitedWithCode(0), "");
}

TEST(StopSignalsDeathTest, ASignalInterruptsWhatWaits) {
    EXPECT_EXIT(a_signal_interrupts_what_waits(), ::testing::ExitedWithCode(0), "");
}

TEST(StopSignalsDeathTest, ABrokenPipeIsAnError) {
    EXPECT_EXIT(a_broken_pipe_is_an_error(), ::testing::ExitedWithCode(0), "");
}

TEST(StopSignalsDeathTest, AFileTooLargeIsAnError) {
    EXPECT_EXIT(a_file_too_large_is_an_error(), ::testing::ExitedWithCode(0), "");
}

}  // namespace
}  // namespace rqs::util
