// SPDX-License-Identifier: BSD-2-Clause
#include "record/info_json.h"

#include <algorithm>
#include <limits>
#include <nlohmann/json.hpp>

#include "record/block.h"

namespace rqs::record {
namespace {

using nlohmann::json;

/// Takes members of an object, as far as they are there; remembers whether one was of a wrong type.
class Members {
  public:
    explicit Members(const json& object) : object_(object) {}

    template <typename Value>
    void take(const char* name, Value& value) {
        const auto found = object_.find(name);
        if (found == object_.end()) {
            return;
        }
        if (!is<Value>(*found)) {
            fits_ = false;
            return;
        }
        value = found->get<Value>();
    }
    template <typename Element>
    void take(const char* name, std::vector<Element>& list) {
        const auto found = object_.find(name);
        if (found == object_.end()) {
            return;
        }
        fits_ =
            fits_ && found->is_array() && std::all_of(found->begin(), found->end(), is<Element>);
        if (fits_) {
            list = found->template get<std::vector<Element>>();
        }
    }
    [[nodiscard]] bool fits() const { return fits_; }

  private:
    template <typename Value>
    static bool is(const json& value) {
        if constexpr (std::is_same_v<Value, std::string>) {
            return value.is_string();
        } else if constexpr (std::is_same_v<Value, bool>) {
            return value.is_boolean();
        } else if constexpr (std::is_unsigned_v<Value>) {
            return value.is_number_unsigned() &&
                   value.get<std::uint64_t>() <= std::numeric_limits<Value>::max();
        } else {
            return value.is_number_integer() &&
                   (!value.is_number_unsigned() ||
                    value.get<std::uint64_t>() <=
                        static_cast<std::uint64_t>(std::numeric_limits<Value>::max()));
        }
    }

    const json& object_;
    bool fits_ = true;
};

json filters_json(const Filters& filters) {
    return {{"pids", filters.pids},
            {"tids", filters.tids},
            {"comm", filters.comm_prefix},
            {"cgroup", filters.cgroup_path},
            {"cgroup_map", filters.cgroup_map},
            {"mntns_map", filters.mntns_map},
            {"cpus", filters.cpus}};
}

json topology_json(const std::vector<CpuPlace>& places) {
    json list = json::array();
    for (const CpuPlace& place : places) {
        list.push_back({{"cpu", place.cpu},
                        {"core", place.core},
                        {"package", place.package},
                        {"node", place.node}});
    }
    return list;
}

bool take_filters(const json& object, Filters& filters) {
    Members members(object);
    members.take("pids", filters.pids);
    members.take("tids", filters.tids);
    members.take("comm", filters.comm_prefix);
    members.take("cgroup", filters.cgroup_path);
    members.take("cgroup_map", filters.cgroup_map);
    members.take("mntns_map", filters.mntns_map);
    members.take("cpus", filters.cpus);
    return members.fits();
}

bool take_topology(const json& list, std::vector<CpuPlace>& places) {
    bool fits = list.is_array();
    for (std::size_t i = 0; fits && i < list.size(); ++i) {
        CpuPlace place;
        Members members(list[i]);
        members.take("cpu", place.cpu);
        members.take("core", place.core);
        members.take("package", place.package);
        members.take("node", place.node);
        fits = list[i].is_object() && members.fits();
        places.push_back(place);
    }
    return fits;
}

}  // namespace

std::string to_json(const RecordingInfo& info) {
    const json object{{"tool", info.tool},
                      {"host", info.host},
                      {"kernel", info.kernel},
                      {"machine", info.machine},
                      {"command_line", info.command_line},
                      {"began_ns", info.began_ns},
                      {"realtime_offset_ns", info.realtime_offset_ns},
                      {"boottime_offset_ns", info.boottime_offset_ns},
                      {"cpus", info.cpus},
                      {"topology", topology_json(info.topology)},
                      {"min_us", info.min_us},
                      {"filters", filters_json(info.filters)},
                      {"waker", info.waker},
                      {"of_command", info.of_command},
                      {"left_out_pids", info.left_out_pids},
                      {"waits_before", info.waits_before},
                      {"from_ns", info.from_ns},
                      {"imported_from", info.imported_from}};
    return object.dump(-1, ' ', false, json::error_handler_t::replace);
}

Result<RecordingInfo> info_from_json(std::string_view text) {
    const json object = json::parse(text, nullptr, false);
    if (!object.is_object()) {
        return fail("what the recording says of itself is not JSON");
    }
    RecordingInfo info;
    Members members(object);
    members.take("tool", info.tool);
    members.take("host", info.host);
    members.take("kernel", info.kernel);
    members.take("machine", info.machine);
    members.take("command_line", info.command_line);
    members.take("began_ns", info.began_ns);
    members.take("realtime_offset_ns", info.realtime_offset_ns);
    members.take("boottime_offset_ns", info.boottime_offset_ns);
    members.take("cpus", info.cpus);
    members.take("min_us", info.min_us);
    members.take("waker", info.waker);
    members.take("of_command", info.of_command);
    members.take("left_out_pids", info.left_out_pids);
    members.take("waits_before", info.waits_before);
    members.take("from_ns", info.from_ns);
    members.take("imported_from", info.imported_from);
    bool fits = members.fits() && info.cpus <= Limits::cpus;
    if (const auto filters = object.find("filters"); filters != object.end()) {
        fits = fits && filters->is_object() && take_filters(*filters, info.filters);
    }
    if (const auto topology = object.find("topology"); topology != object.end()) {
        fits = fits && take_topology(*topology, info.topology);
    }
    if (!fits) {
        return fail("what the recording says of itself is not what the format says");
    }
    info.cpus = std::max(info.cpus, 1U);
    return info;
}

}  // namespace rqs::record
