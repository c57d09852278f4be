// SPDX-License-Identifier: BSD-2-Clause
// Whether a package's metadata and its object speak of the same things.
#pragma once

#include <vector>

#include "bpfkit/handles.h"
#include "pkg/exporter.h"
#include "pkg/package.h"

namespace rqs::pkg {

/// The maps of an object that libbpf has opened.
std::vector<MapShape> map_shapes(const bpf_object* object);

/// Checks that the metadata fits the object, without loading anything: its programs and maps are
/// there, each once, and its types are those of the object.
Status check_metadata(const Package& package, const bpf_object* object);

}  // namespace rqs::pkg
