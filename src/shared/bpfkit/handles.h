// SPDX-License-Identifier: BSD-2-Clause
// libbpf's objects as owned values, its log as text, its errors as ours. Shared by every program
// of the project that touches libbpf.
#pragma once

#include <bpf/bpf.h>
#include <bpf/btf.h>
#include <bpf/libbpf.h>
#include <unistd.h>

#include <memory>
#include <string>
#include <utility>

#include "util/error.h"

namespace rqs::bpfkit {

template <auto Free>
struct Deleter {
    template <typename T>
    void operator()(T* pointer) const {
        Free(pointer);
    }
};

using ObjectPtr = std::unique_ptr<bpf_object, Deleter<bpf_object__close>>;
using LinkPtr = std::unique_ptr<bpf_link, Deleter<bpf_link__destroy>>;
using BtfPtr = std::unique_ptr<btf, Deleter<btf__free>>;
using RingBufferPtr = std::unique_ptr<ring_buffer, Deleter<ring_buffer__free>>;
using PerfBufferPtr = std::unique_ptr<perf_buffer, Deleter<perf_buffer__free>>;

/// A file descriptor that closes itself; -1 is none.
class Fd {
  public:
    Fd() = default;
    explicit Fd(int fd) : fd_(fd) {}
    Fd(Fd&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}
    Fd& operator=(Fd&& other) noexcept {
        if (this != &other) {
            reset(std::exchange(other.fd_, -1));
        }
        return *this;
    }
    Fd(const Fd&) = delete;
    Fd& operator=(const Fd&) = delete;
    ~Fd() { reset(); }

    [[nodiscard]] int get() const { return fd_; }
    [[nodiscard]] bool valid() const { return fd_ >= 0; }
    [[nodiscard]] int release() { return std::exchange(fd_, -1); }
    void reset(int fd = -1) {
        if (fd_ >= 0) {
            ::close(fd_);
        }
        fd_ = fd;
    }

  private:
    int fd_ = -1;
};

/// Sends libbpf's own messages to stderr (`verbose`) or keeps the last warnings for an error line.
void install_log(bool verbose);

/// libbpf's last warnings since the previous call, as one printable line; empty if none.
std::string take_log();

/// An error line from a libbpf return value (negative errno) plus what libbpf said, if anything.
std::string describe(int error);

/// Whether an error of bpf() means missing privileges rather than a missing feature.
bool is_permission_error(int error);

/// Lifts RLIMIT_MEMLOCK, which maps count against before 5.11 (bpf: "memcg-based memory
/// accounting"); harmless elsewhere, and failing is left to the map creation that needs it.
void lift_memlock_limit();

}  // namespace rqs::bpfkit
