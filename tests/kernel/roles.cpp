// SPDX-License-Identifier: BSD-2-Clause
#include "roles.h"

#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <climits>
#include <cstdio>
#include <cstdlib>
#include <thread>

#include "situation.h"

namespace rqs::ktest {
namespace {

/// The new image of a process in which another than the first thread called exec().
int play_executed(const std::string& fd) {
    for (int i = 0; i < 20; ++i) {
        sleep_ns(100'000);
    }
    const Reading reading = read_myself();
    return ::write(std::atoi(fd.c_str()), &reading, sizeof(reading)) == sizeof(reading) ? 0 : 1;
}

/// What a thread of the tree says of itself when it is about to end.
void write_down(std::FILE* file) {
    const Reading end = read_myself();
    // One write each, so that lines of several processes do not mix.
    std::array<char, 128> line{};
    const int length = std::snprintf(line.data(), line.size(), "%d %d %llu %llu\n", ::getpid(),
                                     ::gettid(), static_cast<unsigned long long>(end.account.waits),
                                     static_cast<unsigned long long>(end.account.run_delay_ns));
    (void)!::write(::fileno(file), line.data(), static_cast<std::size_t>(length));
}

void work_and_write_down(std::FILE* file) {
    for (int i = 0; i < 30; ++i) {
        sleep_ns(200'000);
    }
    write_down(file);
}

/// A child, a grandchild and a thread in each. Everybody appends "pid tid waits run_delay".
int play_tree(const std::string& path, const std::string& code) {
    std::FILE* file = std::fopen(path.c_str(), "a");
    if (file == nullptr) {
        return 99;
    }
    const auto with_thread = [&] {
        std::thread thread([&] { work_and_write_down(file); });
        work_and_write_down(file);
        thread.join();
    };
    const pid_t child = ::fork();
    if (child == 0) {
        const pid_t grandchild = ::fork();
        if (grandchild == 0) {
            with_thread();
            ::_exit(0);
        }
        with_thread();
        ::waitpid(grandchild, nullptr, 0);
        ::_exit(0);
    }
    with_thread();
    ::waitpid(child, nullptr, 0);
    return std::atoi(code.c_str());
}

}  // namespace

std::string self_path() {
    std::array<char, PATH_MAX> path{};
    const ssize_t length = ::readlink("/proc/self/exe", path.data(), path.size() - 1);
    return length > 0 ? std::string(path.data()) : std::string();
}

int play_role(const std::vector<std::string>& words) {
    if (words.size() == 2 && words[0] == "executed") {
        return play_executed(words[1]);
    }
    if (words.size() == 3 && words[0] == "tree") {
        return play_tree(words[1], words[2]);
    }
    std::fputs("kernel_tests: unknown role\n", stderr);
    return 2;
}

}  // namespace rqs::ktest
