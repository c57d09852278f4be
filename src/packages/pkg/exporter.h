// SPDX-License-Identifier: BSD-2-Clause
// Which maps of a package are shown, as what, and how one event or one map entry becomes a line.
// Everything here is a pure function of bytes: no clock, no kernel.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "pkg/meta.h"
#include "pkg/value_type.h"

namespace rqs::pkg {

enum class Channel { ring_buffer, perf_buffer, sampled_map };

/// A map as the exporter needs to know it; the loader fills this from libbpf.
struct MapShape {
    std::string name;
    std::uint32_t type = 0;  ///< BPF_MAP_TYPE_*
    std::uint32_t key_size = 0;
    std::uint32_t value_size = 0;
    std::uint32_t key_type_id = 0;  ///< 0: unknown
    std::uint32_t value_type_id = 0;
};

/// One column of text output.
struct Column {
    std::string name;
    ValueMember member;  ///< offsets from the start of the value
};

struct Export {
    std::string map;
    Channel channel = Channel::ring_buffer;
    ValueTypePtr key;  ///< sampled maps only
    ValueTypePtr value;
    std::vector<Column> key_columns;
    std::vector<Column> columns;
    SampleMeta sample;
    std::optional<StackTraceFields> stack_trace;
    bool cpu_column = false;  ///< a per-CPU map whose values can not always be added up
};

/// The exports of a package, in the order of its maps: every buffer, and every map that is to be
/// sampled. Types are checked against the object's BTF: a package whose metadata and object
/// disagree is an error.
Result<std::vector<Export>> find_exports(const Meta& meta, const btf* types,
                                         const std::vector<MapShape>& maps);

/// Formats what exports yield.
class Formatter {
  public:
    /// With more than one export, the map's name stands behind the time: in text lines and their
    /// headings as a column, in JSON as "map".
    Formatter(bool json, bool several) : json_(json), several_(several) {}

    /// The heading of an export's columns; nothing for JSON, histograms and stack traces.
    void append_heading(std::string& out, const Export& what) const;

    /// One event. `bytes` may be longer than the type (perf buffers pad), not shorter; false if
    /// it is. `time` is the time of day.
    bool append_event(std::string& out, const Export& what, std::string_view bytes,
                      std::string_view time) const;

    /// One entry of a sampled map: its only value, the sum over all CPUs, or that of one `cpu`.
    void append_entry(std::string& out, const Export& what, std::string_view key,
                      std::string_view value, std::string_view time,
                      std::optional<int> cpu = std::nullopt) const;

    /// A loss, as a JSON line; text output tells it on stderr instead.
    void append_loss(std::string& out, const Export& what, std::uint64_t lost) const;

  private:
    void append_json_start(std::string& out, const Export& what, std::string_view time) const;
    void append_text_start(std::string& out, const Export& what, std::string_view time) const;
    void append_histogram(std::string& out, const Export& what, std::string_view key,
                          std::string_view value, std::optional<int> cpu) const;

    bool json_;
    bool several_;
};

}  // namespace rqs::pkg
