// SPDX-License-Identifier: BSD-2-Clause
// Where finished blocks go: a file, a row of files, memory.
#pragma once

#include "record/index.h"
#include "record/pack.h"
#include "util/error.h"

namespace rqs::record {

/// One thread at a time uses it, not always the same.
class BlockStore {
  public:
    BlockStore() = default;
    BlockStore(const BlockStore&) = delete;
    BlockStore& operator=(const BlockStore&) = delete;
    virtual ~BlockStore() = default;

    /// After an error nothing more is stored.
    virtual Status put(PackedBlock block) = 0;
    /// The run is over. `ending` without what only the store knows: offsets.
    virtual Status finish(const RunEnding& ending) = 0;

    /// No more blocks are wanted: the largest size is reached, or the reader of a pipe has gone.
    [[nodiscard]] virtual bool done() const { return false; }
    /// Bytes that were stored and are there still.
    [[nodiscard]] virtual std::uint64_t bytes() const = 0;
};

}  // namespace rqs::record
