// SPDX-License-Identifier: BSD-2-Clause
// Command-line options made from a package's variables.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "pkg/meta.h"
#include "pkg/value_type.h"
#include "util/error.h"

namespace rqs::pkg {

/// A variable of .rodata, .data or .bss that a user may set before the program is loaded.
struct Parameter {
    std::string section;
    std::string name;  ///< of the variable
    std::string type;  ///< C spelling
    std::string long_name;
    char short_name = 0;  ///< 0: none
    std::string help;
    ValueTypePtr value_type;
    std::uint32_t offset = 0;                 ///< in its section
    std::string initial;                      ///< the bytes that the object has there
    std::optional<std::string> default_text;  ///< from the metadata; replaces `initial`
};

/// A value to be written before loading.
struct Assignment {
    std::string section;
    std::uint32_t offset = 0;
    std::string bytes;
};

/// What the command line behind the package asked for.
struct Invocation {
    std::vector<Assignment> assignments;
    bool help = false;
    bool version = false;
    bool verbose = false;
    bool json = false;
    bool partial = false;
    std::optional<double> duration_s;
    std::optional<std::uint64_t> count;
};

/// A data section's initial content.
struct SectionBytes {
    std::string name;
    std::string bytes;
};

/// The options of `meta`, by the variables that the object's BTF really has. A variable that the
/// metadata names but the object does not have is an error, as are two options of one name. The
/// older format names no variables: there, all of .rodata are options.
Result<std::vector<Parameter>> find_parameters(const Meta& meta, const btf* types,
                                               const std::vector<SectionBytes>& contents);

/// Parses `arguments`, which stand behind the package on the command line.
Result<Invocation> parse_arguments(const std::vector<Parameter>& parameters,
                                   const std::vector<std::string>& arguments);

/// What -h prints. `command` is how the package was called.
std::string help_text(const Meta& meta, const std::vector<Parameter>& parameters,
                      const std::string& command);

}  // namespace rqs::pkg
