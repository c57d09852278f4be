// SPDX-License-Identifier: BSD-2-Clause
// What tests make situations of: processes, threads, gates, CPUs, clocks, the kernel's own numbers.
#pragma once

#include <sched.h>
#include <sys/mman.h>
#include <sys/types.h>

#include <atomic>
#include <cstdint>
#include <functional>
#include <new>
#include <string>
#include <thread>
#include <vector>

#include "harness/process.h"

namespace rqs::ktest {

/// CLOCK_MONOTONIC, ns.
std::uint64_t now_ns();
/// CPU time of the calling thread, ns.
std::uint64_t thread_cpu_ns();
void sleep_ns(std::uint64_t ns);
constexpr std::uint64_t operator""_ms(unsigned long long ms) {
    return ms * 1'000'000;
}

/// Inside the emulated machine everything takes many times as long.
bool in_vm();
/// How often to do something that is done `count` times on a real machine.
std::uint32_t times(std::uint32_t count);
/// A time limit for what takes no time worth mentioning.
std::uint64_t patience_ns();

/// The CPU that situations are made on, and the one where tracers and controllers live. A machine
/// with one CPU has but one.
int scene_cpu();
int quiet_cpu();
/// tid 0: the caller. False where the CPU is not there.
bool pin(int cpu, pid_t tid = 0);
void unpin(pid_t tid = 0);
bool set_policy(int policy, int priority, pid_t tid = 0);
void set_name(const char* name);
/// Keeps the CPU busy for this much CPU time, or while the flag is zero.
void burn_ns(std::uint64_t cpu_ns);
void burn_until(const std::atomic<std::uint32_t>& flag);
/// All possible patience for `done`, looked at every millisecond. False if it did not come true.
bool wait_for(const std::function<bool()>& done, std::uint64_t limit_ns = patience_ns());

/// One T in memory that forked children share with their parent.
template <typename T>
class Shared {
  public:
    Shared()
        : memory_(::mmap(nullptr, sizeof(T), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1,
                         0)) {
        if (memory_ == MAP_FAILED) {
            throw std::bad_alloc();
        }
        new (memory_) T();
    }
    ~Shared() { ::munmap(memory_, sizeof(T)); }
    Shared(const Shared&) = delete;
    Shared& operator=(const Shared&) = delete;
    T* operator->() const { return static_cast<T*>(memory_); }
    T& operator*() const { return *static_cast<T*>(memory_); }

  private:
    void* memory_;
};

/// Whoever comes before it is opened sleeps. Works across processes.
class Gate {
  public:
    void wait();
    void open();
    [[nodiscard]] std::uint32_t waiting() const { return waiting_.load(); }

  private:
    std::atomic<std::uint32_t> open_{0};
    std::atomic<std::uint32_t> waiting_{0};
};

using harness::Process;

/// Reaps `pid`: its exit code, 128 + the signal that killed it, or -1 if it did not end within the
/// limit.
int reap(pid_t pid, std::uint64_t limit_ns);

/// The kernel's account of a thread: /proc/PID/task/TID/schedstat.
struct Account {
    std::uint64_t run_delay_ns = 0;
    std::uint64_t waits = 0;  ///< that the kernel counted
};
/// Of any thread; zeros where it is gone.
Account account_of(pid_t pid, pid_t tid);
/// Whether a thread sleeps: state S or D in its stat file.
bool is_asleep(pid_t pid, pid_t tid);

/// An account that the thread took of itself while it was running, and when.
struct Reading {
    Account account;
    std::uint64_t ts_ns = 0;
};
/// The caller did not wait for the CPU for a good while before, so that it is beyond doubt which
/// waits ended before the reading.
Reading read_myself();

/// A whole small file; empty where it cannot be read.
/// A name for a file of this process in the folder for temporary ones.
std::string temporary_path(const std::string& name);

std::string read_file(const std::string& path);
bool write_file(const std::string& path, const std::string& text);

}  // namespace rqs::ktest
