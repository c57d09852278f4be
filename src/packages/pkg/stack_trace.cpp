// SPDX-License-Identifier: BSD-2-Clause
#include "pkg/stack_trace.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstring>
#include <fstream>
#include <sstream>
#include <vector>

#include "pkg/dump.h"
#include "util/safe_text.h"

namespace rqs::pkg {
namespace {

struct Symbol {
    std::uint64_t address;
    std::string name;
};

/// Sorted by address. Empty where addresses are hidden from this user: kernel.kptr_restrict makes
/// them all zero.
std::vector<Symbol> read_kernel_symbols() {
    std::vector<Symbol> out;
    std::ifstream file("/proc/kallsyms");
    std::string line;
    while (std::getline(file, line)) {
        std::istringstream words(line);
        Symbol symbol{};
        char kind = 0;
        words >> std::hex >> symbol.address >> kind >> symbol.name;
        if (symbol.address != 0 && (kind == 't' || kind == 'T')) {
            out.push_back(std::move(symbol));
        }
    }
    std::sort(out.begin(), out.end(),
              [](const Symbol& a, const Symbol& b) { return a.address < b.address; });
    return out;
}

std::string kernel_place(std::uint64_t address) {
    // Well over 100,000 lines: read once, when the first stack is printed.
    static const std::vector<Symbol> symbols = read_kernel_symbols();
    const auto after =
        std::upper_bound(symbols.begin(), symbols.end(), address,
                         [](std::uint64_t value, const Symbol& s) { return value < s.address; });
    if (after == symbols.begin()) {
        return {};
    }
    const Symbol& symbol = *std::prev(after);
    return fmt::format("{}+{:#x}", symbol.name, address - symbol.address);
}

/// "file+offset" of a mapping of a process that still runs. Its maps are read for each frame,
/// because it may map and unmap between two events. The offset in the file, not the address, is
/// what addr2line(1) and objdump(1) understand.
std::string user_place(std::int64_t pid, std::uint64_t address) {
    std::ifstream file(fmt::format("/proc/{}/maps", pid));
    std::string line;
    while (std::getline(file, line)) {
        std::istringstream words(line);
        std::uint64_t first = 0;
        std::uint64_t last = 0;
        std::uint64_t offset = 0;
        char dash = 0;
        std::string mode;
        std::string device;
        std::string inode;
        std::string path;
        words >> std::hex >> first >> dash >> last >> mode >> offset >> device >> inode;
        std::getline(words >> std::ws, path);
        if (address >= first && address < last) {
            return path.empty()
                       ? std::string()
                       : fmt::format("{}+{:#x}", util::printable(path), address - first + offset);
        }
    }
    return {};
}

struct Frames {
    std::vector<std::uint64_t> addresses;
    bool present = false;
};

Frames read_frames(const ValueType& record, std::string_view bytes, const std::string& member,
                   const std::string& size_member) {
    Frames frames;
    const ValueMember* stack = find_member(record, member);
    const auto size = member_integer(record, bytes, size_member);
    if (stack == nullptr || !size || *size <= 0) {
        return frames;
    }
    frames.present = true;
    const auto held = std::min<std::uint64_t>(static_cast<std::uint64_t>(*size), stack->type->size);
    for (std::size_t i = 0; i + sizeof(std::uint64_t) <= held; i += sizeof(std::uint64_t)) {
        std::uint64_t address = 0;
        std::memcpy(&address, bytes.data() + stack->bit_offset / 8 + i, sizeof(address));
        frames.addresses.push_back(address);
    }
    return frames;
}

template <typename Place>
void append_frames(std::string& out, const Frames& frames, std::string_view who, Place place) {
    if (!frames.present) {
        fmt::format_to(std::back_inserter(out), "No {} stack\n", who);
        return;
    }
    fmt::format_to(std::back_inserter(out), "{}:\n", who);
    for (std::size_t i = 0; i < frames.addresses.size(); ++i) {
        fmt::format_to(std::back_inserter(out), "  {} [<{:016x}>] {}\n", i, frames.addresses[i],
                       place(frames.addresses[i]));
    }
}

}  // namespace

void append_stack_trace(std::string& out, const ValueType& record, const StackTraceFields& fields,
                        std::string_view bytes) {
    const auto pid = member_integer(record, bytes, fields.pid).value_or(0);
    const auto cpu = member_integer(record, bytes, fields.cpu_id).value_or(0);
    out += "COMM: ";
    if (const ValueMember* comm = find_member(record, fields.comm)) {
        append_member_text(out, *comm, bytes);
    }
    fmt::format_to(std::back_inserter(out), " (pid={}) @ CPU {}\n", pid, cpu);
    const bool named = fields.symbols;
    append_frames(
        out, read_frames(record, bytes, fields.kstack, fields.kstack_size), "Kernel",
        [&](std::uint64_t address) { return named ? kernel_place(address) : std::string(); });
    append_frames(
        out, read_frames(record, bytes, fields.ustack, fields.ustack_size), "User space",
        [&](std::uint64_t address) { return named ? user_place(pid, address) : std::string(); });
    out += '\n';
}

}  // namespace rqs::pkg
