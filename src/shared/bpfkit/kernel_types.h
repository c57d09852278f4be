// SPDX-License-Identifier: BSD-2-Clause
// The few kernel types that a program looks into, taken out of all that the running kernel has.
//
// Left alone, libbpf copies the kernel's whole BTF twice and then searches it once for each struct
// that a program names: most of the time and memory that it takes to attach. Here it is looked
// through once, where the kernel holds it, and libbpf gets a BTF of a few kilobytes instead.
#pragma once

#include <cstddef>
#include <functional>
#include <map>
#include <span>
#include <string>
#include <string_view>

#include "bpfkit/handles.h"
#include "util/error.h"

namespace rqs::bpfkit {

/// All of the running kernel's types, as bytes; see TypeTable.
class KernelBtf {
  public:
    /// Fails, saying what to do, on a kernel without BTF.
    static Result<KernelBtf> map();
    KernelBtf(KernelBtf&& other) noexcept : bytes_(std::exchange(other.bytes_, {})) {}
    KernelBtf& operator=(KernelBtf&&) = delete;
    KernelBtf(const KernelBtf&) = delete;
    KernelBtf& operator=(const KernelBtf&) = delete;
    ~KernelBtf();

    [[nodiscard]] std::span<const std::byte> bytes() const { return bytes_; }

  private:
    explicit KernelBtf(std::span<std::byte> bytes) : bytes_(bytes) {}

    std::span<std::byte> bytes_;  // a mapping
};

/// What one object needs of the kernel's types. Members of structs without a name are seen in the
/// kernel's types, but not looked for in the object's.
struct KernelTypes {
    /// The structs that the object names, with the members that it names.
    BtfPtr structs;
    /// Kernel type ids by name: of the hooks of `tp_btf/`, `iter/` and `fexit/` programs.
    std::map<std::string, int, std::less<>> hooks;
};

/// Takes from `all` what `wanted` (an object's own types) and `hooks` (names as the kernel's BTF
/// has them: btf_trace_sched_switch, bpf_iter_task) name. What the kernel does not have is absent.
Result<KernelTypes> select_types(std::span<const std::byte> all, const btf& wanted,
                                 std::span<const std::string> hooks);

/// Loads an object of `tp_btf/`, `iter/` and `fexit/` programs with the selected types alone. Make
/// it before the object is opened, and open the object with path() for btf_custom_path. Its
/// programs attach with bpf_program__attach_trace() and bpf_program__attach_iter(). Not for two
/// threads at once.
class LeanLoader {
  public:
    static Result<LeanLoader> make();

    [[nodiscard]] const std::string& path() const { return path_; }
    /// Calls `load`, which loads the object, and returns what that returned; an error of ours where
    /// the kernel's types cannot be had.
    Result<int> load(const bpf_object* object, const std::function<int()>& load);
    /// After load(): whether the kernel has that struct with that member; the object names both.
    [[nodiscard]] bool has_member(const char* structure, std::string_view member) const;

  private:
    explicit LeanLoader(util::Fd file);

    util::Fd file_;
    std::string path_;
    KernelTypes types_;
};

}  // namespace rqs::bpfkit
