// SPDX-License-Identifier: BSD-2-Clause
// Blocks as frames: each column compressed by itself, since each has its own statistics.
#pragma once

#include <memory>

#include "record/block.h"
#include "record/frame.h"
#include "util/error.h"

struct ZSTD_CCtx_s;
struct ZSTD_DCtx_s;

namespace rqs::record {

/// A block as it stands in a file.
struct PackedBlock {
    BlockSummary summary;
    Bytes frame;
};

class Packer {
  public:
    Packer();
    Packer(Packer&&) noexcept = default;
    Packer& operator=(Packer&&) noexcept = default;
    Packer(const Packer&) = delete;
    Packer& operator=(const Packer&) = delete;
    ~Packer();

    PackedBlock pack(const Block& block);

  private:
    struct Free {
        void operator()(ZSTD_CCtx_s* context) const;
    };
    void put_column(Bytes& frame, std::size_t number, const Bytes& column);

    std::unique_ptr<ZSTD_CCtx_s, Free> context_;
    Bytes squeezed_;
};

class Unpacker {
  public:
    Unpacker();
    Unpacker(const Unpacker&) = delete;
    Unpacker& operator=(const Unpacker&) = delete;
    ~Unpacker();

    /// The block of a payload that is whole. Never more memory than Limits say, whatever the bytes
    /// are. Valid until the next call.
    Result<const Block*> unpack(const FrameHeader& header, ByteView payload);

  private:
    struct Free {
        void operator()(ZSTD_DCtx_s* context) const;
    };
    bool get_column(ByteReader& bytes, Reading& reading, std::size_t& left);

    std::unique_ptr<ZSTD_DCtx_s, Free> context_;
    Block block_;
};

}  // namespace rqs::record
