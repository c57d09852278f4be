// SPDX-License-Identifier: BSD-2-Clause
// Which structs of an object are its events: what stands at its maps, or the likeliest.
#pragma once

#include <bpf/libbpf.h>

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "ecc/docs.h"
#include "util/error.h"

namespace rqs::ecc {

/// The field of a map's comment that names the struct it carries: `/// @event STRUCT`. It is ours:
/// packages have the struct's number instead.
inline constexpr const char* event_field = "event";

/// Numbers are those of types in the object's BTF.
struct Events {
    std::vector<std::uint32_t> types;              ///< the likeliest first
    bool ambiguous = false;                        ///< the first is a guess
    std::map<std::string, std::uint32_t> of_maps;  ///< by the maps' names, where a comment says it
    bool several = false;                          ///< more than one map is shown
};

/// Whether programs send something through this map.
bool carries_events(const bpf_map& map);

/// `structs` are those of the header, if there is one. An error where a comment names a struct that
/// the object does not have.
Result<Events> find_events(const bpf_object* object, const std::vector<Declaration>& comments,
                           const std::vector<std::string>& structs);

}  // namespace rqs::ecc
