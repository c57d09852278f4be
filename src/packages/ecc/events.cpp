// SPDX-License-Identifier: BSD-2-Clause
#include "ecc/events.h"

#include <bpf/btf.h>
#include <fmt/format.h>

#include <algorithm>
#include <iterator>
#include <utility>

#include "pkg/value_type.h"
#include "util/safe_text.h"

namespace rqs::ecc {
namespace {

using Ids = std::vector<std::uint32_t>;

bool contains(const Ids& ids, std::uint32_t id) {
    return std::find(ids.begin(), ids.end(), id) != ids.end();
}

Ids without(const Ids& ids, const Ids& dropped) {
    Ids out;
    std::copy_if(ids.begin(), ids.end(), std::back_inserter(out),
                 [&](std::uint32_t id) { return !contains(dropped, id); });
    return out;
}

void put_first(Ids& ids, std::uint32_t id) {
    ids = without(ids, {id});
    ids.insert(ids.begin(), id);
}

class EventFinder {
  public:
    EventFinder(const bpf_object* object, const std::vector<Declaration>& comments)
        : object_(object), types_(bpf_object__btf(object)), comments_(comments) {}

    Result<Events> run(const std::vector<std::string>& structs) {
        for (const auto& name : structs) {
            const std::uint32_t id = pkg::find_struct(types_, name);
            if (id != 0) {
                structs_.push_back(id);
            }
        }
        const bpf_map* map = nullptr;
        bpf_object__for_each_map(map, object_) {
            const auto status = bpf_map__is_internal(map) ? Status{} : look_at(*map);
            if (!status) {
                return tl::unexpected(status.error());
            }
        }
        events_.several = configured_ || (shown_ > 1 && !events_.of_maps.empty());
        choose();
        return std::move(events_);
    }

  private:
    Status look_at(const bpf_map& map) {
        const std::string name = bpf_map__name(&map);
        const pkg::Json fields = fields_of(comments_, name);
        const std::uint32_t value = bare(bpf_map__btf_value_type_id(&map));
        const bool sampled = fields.contains("sample");
        configured_ = configured_ || fields.contains("export_config");
        shown_ += carries_events(map) || sampled ? 1U : 0U;
        if (carries_events(map)) {
            has_buffer_ = true;
            of_buffers_.push_back(value);
        } else {
            of_maps_.push_back(value);
            of_maps_.push_back(bare(bpf_map__btf_key_type_id(&map)));
        }
        if (sampled && is_struct(value)) {
            of_samples_.push_back(value);
        }
        return fields.contains(event_field) ? take_name(map, fields[event_field]) : Status{};
    }

    Status take_name(const bpf_map& map, const pkg::Json& event) {
        const std::string name = bpf_map__name(&map);
        if (!carries_events(map)) {
            return fail(
                fmt::format("map {} has an @event but is neither a ring buffer nor a perf buffer",
                            util::printable(name)));
        }
        const std::uint32_t id =
            event.is_string() ? pkg::find_struct(types_, event.get<std::string>()) : 0;
        if (id == 0) {
            return fail(
                fmt::format("map {} has the @event {}, but the source defines no such struct",
                            util::printable(name), util::printable(event.dump())));
        }
        events_.of_maps[name] = id;
        return {};
    }

    void choose() {
        Ids& ids = events_.types;
        ids = without(structs_, contained_structs());
        // Programs that keep an event in a map until it is complete have no other struct.
        if (auto rest = without(ids, of_maps_); !rest.empty()) {
            ids = std::move(rest);
        }
        Ids named;
        for (const auto& [map, id] : events_.of_maps) {
            if (!contains(named, id)) {
                named.push_back(id);
            }
        }
        const Ids rest = without(ids, named);
        ids = std::move(named);
        ids.insert(ids.end(), rest.begin(), rest.end());
        if (events_.of_maps.empty()) {
            guess(ids);
        }
    }

    /// The first struct is the one whose events are shown.
    void guess(Ids& ids) {
        const Ids& carried = has_buffer_ ? of_buffers_ : of_samples_;
        for (const std::uint32_t id : carried) {
            // What is sampled needs no header: the map itself says what it is.
            if (contains(structs_, id) || (!has_buffer_ && structs_.empty())) {
                put_first(ids, id);
                return;
            }
        }
        std::stable_partition(ids.begin(), ids.end(), [this](std::uint32_t id) {
            return name_of(id).find("event") != std::string::npos;
        });
        events_.ambiguous = has_buffer_ && ids.size() > 1;
    }

    [[nodiscard]] std::string name_of(std::uint32_t id) const {
        return btf__name_by_offset(types_, btf__type_by_id(types_, id)->name_off);
    }

    [[nodiscard]] bool is_struct(std::uint32_t id) const {
        const btf_type* type = btf__type_by_id(types_, id);
        return type != nullptr && btf_is_struct(type) && !name_of(id).empty();
    }

    /// Behind typedefs, qualifiers and arrays.
    [[nodiscard]] std::uint32_t bare(std::uint32_t id) const {
        const btf_type* type = btf__type_by_id(types_, id);
        while (type != nullptr &&
               (btf_is_mod(type) || btf_is_typedef(type) || btf_is_array(type))) {
            id = btf_is_array(type) ? btf_array(type)->type : type->type;
            type = btf__type_by_id(types_, id);
        }
        return id;
    }

    [[nodiscard]] Ids contained_structs() const {
        Ids out;
        for (const std::uint32_t id : structs_) {
            add_members(out, id);
        }
        return out;
    }

    void add_members(Ids& out, std::uint32_t id) const {
        const btf_type* type = btf__type_by_id(types_, id);
        for (std::uint16_t i = 0; i < btf_vlen(type); ++i) {
            const std::uint32_t member = bare(btf_members(type)[i].type);
            const btf_type* member_type = btf__type_by_id(types_, member);
            if (member_type != nullptr && btf_is_composite(member_type) && !contains(out, member)) {
                out.push_back(member);
                add_members(out, member);
            }
        }
    }

    const bpf_object* object_;
    const btf* types_;
    const std::vector<Declaration>& comments_;
    Events events_;
    Ids structs_;
    Ids of_maps_;
    Ids of_buffers_;
    Ids of_samples_;
    std::size_t shown_ = 0;
    bool has_buffer_ = false;
    bool configured_ = false;  ///< a comment has the format's own export_config
};

}  // namespace

bool carries_events(const bpf_map& map) {
    const bpf_map_type type = bpf_map__type(&map);
    return type == BPF_MAP_TYPE_RINGBUF || type == BPF_MAP_TYPE_PERF_EVENT_ARRAY;
}

Result<Events> find_events(const bpf_object* object, const std::vector<Declaration>& comments,
                           const std::vector<std::string>& structs) {
    return EventFinder(object, comments).run(structs);
}

}  // namespace rqs::ecc
