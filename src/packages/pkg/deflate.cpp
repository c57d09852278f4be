// SPDX-License-Identifier: BSD-2-Clause
#include "pkg/deflate.h"

#include <fmt/format.h>
#include <zlib.h>

namespace rqs::pkg {

Result<Bytes> inflate(const Bytes& compressed, std::size_t most) {
    // One byte more than allowed shows a stream that is longer than it says.
    Bytes out(most + 1);
    Bytes in = compressed;  // zlib's interface takes no const input
    z_stream stream{};
    if (::inflateInit(&stream) != Z_OK) {
        return fail("zlib could not be started");
    }
    stream.next_in = in.data();
    stream.avail_in = static_cast<uInt>(in.size());
    stream.next_out = out.data();
    stream.avail_out = static_cast<uInt>(out.size());
    const int outcome = ::inflate(&stream, Z_FINISH);
    const std::size_t written = out.size() - stream.avail_out;
    const bool trailing = stream.avail_in != 0;
    ::inflateEnd(&stream);
    if (written > most) {
        return fail(fmt::format("the object is larger than the {} bytes that it may have", most));
    }
    if (outcome != Z_STREAM_END || trailing) {
        return fail("the object's zlib stream is damaged or cut short");
    }
    out.resize(written);
    return out;
}

Result<Bytes> deflate(const Bytes& plain) {
    uLongf size = ::compressBound(plain.size());
    Bytes out(size);
    if (::compress2(out.data(), &size, plain.data(), plain.size(), Z_DEFAULT_COMPRESSION) != Z_OK) {
        return fail("zlib could not compress the object");
    }
    out.resize(size);
    return out;
}

}  // namespace rqs::pkg
