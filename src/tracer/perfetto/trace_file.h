// SPDX-License-Identifier: BSD-2-Clause
// The file that packets are written to, a quarter MiB at a time.
#pragma once

#include <cstdint>
#include <memory>
#include <protozero/pbf_writer.hpp>
#include <string>
#include <string_view>

#include "model/event.h"
#include "perfetto/fields.h"
#include "util/byte_file.h"
#include "util/error.h"
#include "util/fd.h"
#include "util/new_file.h"

namespace rqs::perfetto {

/// Once something has failed, what is written is dropped, and publish() says what it was: those who
/// write millions of packets need not look at each.
class TraceFile {
  public:
    /// `path` must not be there yet. It shows up in publish().
    static Result<std::unique_ptr<TraceFile>> create(std::string path);

    TraceFile(const TraceFile&) = delete;
    TraceFile& operator=(const TraceFile&) = delete;
    ~TraceFile() = default;

    /// Calls `fill` with the writer of a new packet.
    template <typename Fill>
    void packet(Fill&& fill) {
        {
            protozero::pbf_writer writer(trace_, trace::packet);
            fill(writer);
        }
        if (buffer_.size() >= buffered_bytes) {
            write_out();
        }
    }

    /// Everything is written: the file gets its name. Without this call nothing is left of it.
    Status publish();

  private:
    static constexpr std::size_t buffered_bytes = std::size_t{256} << 10;

    TraceFile(util::NewFile file, util::Fd descriptor);
    void write_out();

    util::NewFile file_;
    util::Fd descriptor_;
    util::ByteFile bytes_;
    std::string buffer_;
    protozero::pbf_writer trace_{buffer_};
    Status status_;
};

/// Whoever named a task chose the bytes; a protobuf's string is UTF-8.
std::string text_of(std::string_view raw);
/// `comm (tid)`
std::string label_of(const TaskId& task);
/// Ids as the format has them.
constexpr std::int32_t id_of(std::uint32_t id) {
    return static_cast<std::int32_t>(id);
}

}  // namespace rqs::perfetto
