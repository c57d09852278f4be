// SPDX-License-Identifier: BSD-2-Clause
#include "enrich/topology.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <string>

#include "util/text.h"
#include "util/values.h"

namespace rqs {
namespace {

std::int32_t number_in(const util::Procfs& system, const std::string& file) {
    const std::string text = system.read(file).value_or("");
    std::int32_t value = -1;
    const auto word = util::trim(text);
    const auto parsed = std::from_chars(word.data(), word.data() + word.size(), value);
    return parsed.ec == std::errc{} && parsed.ptr == word.data() + word.size() ? value : -1;
}

void note_node(std::vector<CpuPlace>& places, std::uint32_t node,
               const std::vector<std::uint32_t>& cpus) {
    for (CpuPlace& place : places) {
        if (std::binary_search(cpus.begin(), cpus.end(), place.cpu)) {
            place.node = static_cast<std::int32_t>(node);
        }
    }
}

}  // namespace

std::vector<std::uint32_t> cpu_numbers(const util::Procfs& system, const char* file) {
    const std::string text = system.read(file).value_or("");
    // A node without CPUs has an empty list.
    return util::parse_cpu_list(util::trim(text), file).value_or(std::vector<std::uint32_t>{});
}

std::vector<CpuPlace> read_topology(const util::Procfs& system) {
    std::vector<CpuPlace> places;
    for (const std::uint32_t cpu : cpu_numbers(system, "cpu/online")) {
        const std::string directory = fmt::format("cpu/cpu{}/topology/", cpu);
        CpuPlace place;
        place.cpu = cpu;
        place.core = number_in(system, directory + "core_id");
        place.package = number_in(system, directory + "physical_package_id");
        places.push_back(place);
    }
    for (const std::uint32_t node : cpu_numbers(system, "node/online")) {
        note_node(places, node,
                  cpu_numbers(system, fmt::format("node/node{}/cpulist", node).c_str()));
    }
    return places;
}

}  // namespace rqs
