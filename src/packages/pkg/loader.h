// SPDX-License-Identifier: BSD-2-Clause
// From a checked package to programs that run in the kernel.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "bpfkit/handles.h"
#include "pkg/package.h"
#include "pkg/parameters.h"

namespace rqs::pkg {

/// Opens the object with libbpf; needs no privileges. A trial in a child process comes first, so
/// that an object which brings libbpf down yields an error here.
Result<bpfkit::ObjectPtr> open_object(const Package& package);

/// The initial contents of .rodata, .data and .bss.
std::vector<SectionBytes> section_contents(const bpf_object* object);

/// A program that this kernel or libbpf did not take, and why, in one line.
struct Refusal {
    std::string program;
    std::string section;
    std::string reason;
};

/// Holds one attachment; detaches when destroyed.
class Attachment {
  public:
    Attachment() = default;
    Attachment(const Attachment&) = delete;
    Attachment& operator=(const Attachment&) = delete;
    virtual ~Attachment() = default;
};

struct Iterator {
    std::string program;
    bpfkit::Fd fd;  ///< read to its end: the iterator's text
};

struct Loaded {
    bpfkit::ObjectPtr object;
    std::vector<std::unique_ptr<Attachment>> attachments;
    std::vector<Iterator> iterators;
    std::vector<Refusal> refusals;
};

/// Loads all programs with `assignments` in place; nothing runs yet, so that whoever reads the
/// maps can be ready before the first event. Programs that are refused are listed; with `partial`
/// the others are loaded, otherwise the first refusal leaves `object` empty. Missing privileges
/// are an error of their own.
Result<Loaded> load(const Package& package, const std::vector<Assignment>& assignments,
                    bool partial);

/// Attaches what load() loaded. Refusals as there: without `partial` the first one ends the work.
void attach(const Package& package, Loaded& loaded, bool partial);

/// What a failed libbpf call means, in one line: its first complaint and the error's name.
std::string explain(int error);

/// One line that names the program, its section and the reason.
std::string describe(const Refusal& refusal);

}  // namespace rqs::pkg
