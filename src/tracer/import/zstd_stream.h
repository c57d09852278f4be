// SPDX-License-Identifier: BSD-2-Clause
// Zstd that comes in pieces.
#pragma once

#include <zstd.h>

#include <cstdint>
#include <memory>
#include <vector>

#include "import/cursor.h"

namespace rqs::import {

class ZstdStream {
  public:
    /// Appends what the next piece unpacks to, at most `most` bytes. False where it is damaged.
    bool append(ByteView packed, std::size_t most, std::vector<std::uint8_t>& out) {
        if (!stream_) {
            stream_.reset(ZSTD_createDStream());
        }
        ZSTD_inBuffer in{packed.data(), packed.size(), 0};
        const std::size_t begin = out.size();
        while (true) {
            const std::size_t at = out.size();
            out.resize(at + ZSTD_DStreamOutSize());
            ZSTD_outBuffer room{out.data() + at, out.size() - at, 0};
            const std::size_t result = ZSTD_decompressStream(stream_.get(), &room, &in);
            out.resize(at + room.pos);
            if (ZSTD_isError(result) != 0 || out.size() - begin > most) {
                return false;
            }
            if (in.pos == in.size && room.pos < room.size) {
                return true;
            }
        }
    }

  private:
    struct Free {
        void operator()(ZSTD_DStream* stream) const { (void)ZSTD_freeDStream(stream); }
    };
    std::unique_ptr<ZSTD_DStream, Free> stream_;
};

}  // namespace rqs::import
