// SPDX-License-Identifier: BSD-2-Clause
// The info of a recording as it stands in the file: JSON, so that later versions and other programs
// add and find what they like.
#pragma once

#include <string>
#include <string_view>

#include "model/recording_info.h"
#include "util/error.h"

namespace rqs::record {

/// Texts that are not UTF-8 are made so: each wrong byte is U+FFFD.
std::string to_json(const RecordingInfo& info);

/// What is missing has its default; what has the wrong type is an error.
Result<RecordingInfo> info_from_json(std::string_view text);

}  // namespace rqs::record
