// SPDX-License-Identifier: BSD-2-Clause
// Packages are files from elsewhere: whatever they hold, reading one ends with a package or an
// error, and what was read can be shown.
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "bpfkit/handles.h"
#include "pkg/dump.h"
#include "pkg/exporter.h"
#include "pkg/object_check.h"
#include "pkg/package.h"
#include "pkg/parameters.h"
#include "pkg/per_cpu.h"

namespace {

/// Shows an event of zeros as each type that the object's BTF has.
void show_all_types(const btf* types) {
    const std::string zeros(std::size_t{1} << 20, '\0');
    const std::uint32_t count = std::min<std::uint32_t>(btf__type_cnt(types), 64);
    for (std::uint32_t id = 1; id < count; ++id) {
        const auto type = rqs::pkg::value_type_from_btf(types, id);
        if (type && (*type)->leaves < 256) {
            std::string out;
            rqs::pkg::append_text(out, **type, zeros);
            rqs::pkg::append_json(out, **type, zeros);
            std::string sum(zeros.substr(0, (*type)->size));
            (void)rqs::pkg::PerCpuSum(**type).add(sum.data(), zeros.data());
        }
    }
}

void use(const rqs::pkg::Package& package) {
    const auto raw = rqs::pkg::section_content(package.object, ".BTF");
    const rqs::bpfkit::BtfPtr types(
        raw.empty() ? nullptr : btf__new(raw.data(), static_cast<std::uint32_t>(raw.size())));
    if (types == nullptr) {
        return;
    }
    show_all_types(types.get());
    std::vector<rqs::pkg::MapShape> shapes;
    for (const auto& map : package.meta.maps) {
        shapes.push_back({map.name, 4, 4, 64, 1, 2});
    }
    (void)rqs::pkg::find_exports(package.meta, types.get(), shapes);
    const std::vector<rqs::pkg::SectionBytes> contents{{".rodata", std::string(4096, '\0')}};
    const auto parameters = rqs::pkg::find_parameters(package.meta, types.get(), contents);
    if (parameters) {
        (void)rqs::pkg::parse_arguments(*parameters, {"--help"});
        (void)rqs::pkg::help_text(package.meta, *parameters, "fuzz");
    }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    static const bool quiet = [] {
        libbpf_set_print(nullptr);
        return true;
    }();
    (void)quiet;
    const std::string_view text(reinterpret_cast<const char*>(data), size);
    if (const auto package = rqs::pkg::read_package(text)) {
        use(*package);
    }
    // Mutations seldom survive base64 and zlib: the object's checks see the bytes themselves too.
    (void)rqs::pkg::check_object(rqs::pkg::Bytes(data, data + size));
    if (rqs::pkg::check_btf(text)) {
        const rqs::bpfkit::BtfPtr types(btf__new(data, static_cast<std::uint32_t>(size)));
        if (types != nullptr) {
            show_all_types(types.get());
        }
    }
    return 0;
}
