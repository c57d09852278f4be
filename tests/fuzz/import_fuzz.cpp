// SPDX-License-Identifier: BSD-2-Clause
// A file of any bytes that claims to be perf.data or trace.dat: the readers and what makes switches
// of them.
#include <sys/mman.h>
#include <unistd.h>

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>

#include "import/open_foreign.h"
#include "import/switch_builder.h"
#include "util/fd.h"

namespace {

using namespace rqs;  // NOLINT(google-build-using-namespace)

constexpr std::uint32_t most_cpus = 64;

class Checker final : public RecordHandler {
  public:
    void on_switch(const Switch& record) override {
        if (record.cpu >= most_cpus) {
            std::abort();
        }
        if (record.came && record.came->here_ns + record.came->elsewhere_ns > record.clock_ns) {
            std::abort();  // no wait began before time did
        }
    }
};

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const util::Fd file(::memfd_create("foreign", MFD_CLOEXEC));
    if (!file.valid() || ::write(file.get(), data, size) != static_cast<ssize_t>(size)) {
        return 0;
    }
    auto opened = import::open_foreign("/proc/self/fd/" + std::to_string(file.get()));
    if (!opened) {
        return 0;
    }
    Checker checker;
    import::SwitchBuilder builder(checker, most_cpus);
    while (true) {
        const auto more = (*opened)->read_some(builder);
        if (!more || !*more) {
            return 0;
        }
    }
}
