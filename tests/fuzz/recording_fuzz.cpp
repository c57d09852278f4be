// SPDX-License-Identifier: BSD-2-Clause
// A recording of any bytes: the reader, the decoder and everything that makes waits of records.
// The first byte says which of the checksums are made right first, so that what lies behind them is
// reached: 0 as it is, else the whole input is a block's columns.
#include <sys/mman.h>
#include <unistd.h>

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>

#include "aggregate/summarizer.h"
#include "record/block_decoder.h"
#include "record/info_json.h"
#include "record/pack.h"
#include "session/session.h"
#include "sources/recording.h"

namespace {

using namespace rqs;  // NOLINT(google-build-using-namespace)

/// Consumers that look at everything a wait has.
class Reader final : public Consumer {
  public:
    [[nodiscard]] Needs needs() const override {
        Needs needs;
        needs.sums = needs.parts = needs.stretches = true;
        needs.named_tasks = 6;
        return needs;
    }
    void wait(const Wait& wait) override {
        std::uint64_t ns = 0;
        for (const Part& part : wait.why) {
            ns += part.ns;
        }
        if (ns != wait.wait_ns) {
            std::abort();  // parts sum to the wait, whatever comes
        }
    }
};

struct Views {
    Reader reader;
    Summarizer summarizer{GroupBy::process, std::nullopt, [](const SummaryReport&) {}};
    Session session;

    explicit Views(std::uint32_t cpus) : session(setup(cpus), {&reader, &summarizer}) {
        session.begin();
    }
    ~Views() { session.end(UINT64_MAX, {}); }

    static Session::Setup setup(std::uint32_t cpus) {
        Session::Setup setup;
        setup.cpus = cpus;
        return setup;
    }
};

void read_file(const std::uint8_t* data, std::size_t size) {
    const int file = ::memfd_create("recording", MFD_CLOEXEC);
    if (file < 0 || ::write(file, data, size) != static_cast<ssize_t>(size)) {
        std::abort();
    }
    auto source = RecordingSource::open({"/proc/self/fd/" + std::to_string(file)});
    if (source) {
        Views views((*source)->cpus());
        (*source)->want(0, {size, UINT64_MAX});
        while (!(*source)->ended()) {
            (void)(*source)->poll({}, views.session);
        }
    }
    ::close(file);
}

void read_block(const std::uint8_t* data, std::size_t size) {
    record::FrameHeader header;
    record::Unpacker unpacker;
    const auto block = unpacker.unpack(header, record::ByteView(data, size));
    if (block) {
        Views views(record::Limits::cpus);  // any CPU may come: little memory for each
        (void)record::BlockDecoder().decode(**block, size % 2 == 0, views.session);
    }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    if (size == 0) {
        return 0;
    }
    if (data[0] % 4 == 0) {
        read_file(data + 1, size - 1);
    } else if (data[0] % 4 == 1) {
        (void)record::info_from_json({reinterpret_cast<const char*>(data + 1), size - 1});
    } else {
        read_block(data + 1, size - 1);
    }
    return 0;
}
