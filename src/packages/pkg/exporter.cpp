// SPDX-License-Identifier: BSD-2-Clause
#include "pkg/exporter.h"

#include <fmt/format.h>
#include <linux/bpf.h>

#include <algorithm>

#include "bpfkit/handles.h"
#include "pkg/dump.h"
#include "pkg/histogram.h"
#include "pkg/per_cpu.h"
#include "pkg/stack_trace.h"
#include "util/safe_text.h"

namespace rqs::pkg {
namespace {

constexpr std::string_view slots_member = "slots";

/// Maps whose entries can be listed, with a key and a value each.
bool can_be_sampled(const MapShape& shape) {
    switch (shape.type) {
        case BPF_MAP_TYPE_HASH:
        case BPF_MAP_TYPE_ARRAY:
        case BPF_MAP_TYPE_PERCPU_HASH:
        case BPF_MAP_TYPE_PERCPU_ARRAY:
        case BPF_MAP_TYPE_LRU_HASH:
        case BPF_MAP_TYPE_LRU_PERCPU_HASH:
        case BPF_MAP_TYPE_LPM_TRIE:
            return shape.key_size > 0 && shape.value_size > 0;
        default:
            return false;
    }
}

std::optional<Channel> channel_of(const MapMeta& meta, const MapShape& shape) {
    if (meta.sample) {
        return Channel::sampled_map;
    }
    if (shape.type == BPF_MAP_TYPE_RINGBUF) {
        return Channel::ring_buffer;
    }
    if (shape.type == BPF_MAP_TYPE_PERF_EVENT_ARRAY) {
        return Channel::perf_buffer;
    }
    return std::nullopt;
}

bool is_per_cpu(std::uint32_t type) {
    return type == BPF_MAP_TYPE_PERCPU_HASH || type == BPF_MAP_TYPE_PERCPU_ARRAY ||
           type == BPF_MAP_TYPE_LRU_PERCPU_HASH;
}

/// Anonymous structs and unions are spread over the columns, as C spreads them over the names.
void add_columns(std::vector<Column>& out, const ValueType& record, std::uint32_t base_bits) {
    for (const auto& member : record.members) {
        ValueMember placed = member;
        placed.bit_offset += base_bits;
        if (!member.name.empty()) {
            out.push_back({member.name, std::move(placed)});
        } else if (member.type->kind == ValueKind::record) {
            add_columns(out, *member.type, placed.bit_offset);
        }
    }
}

std::vector<Column> columns_of(const ValueTypePtr& type, std::string_view otherwise) {
    std::vector<Column> out;
    if (type->kind == ValueKind::record) {
        add_columns(out, *type, 0);
    }
    if (out.empty()) {
        out.push_back({std::string(otherwise), ValueMember{"", type, 0, 0}});
    }
    return out;
}

tl::unexpected<Error> disagreement(const ExportType& type, std::string_view what) {
    return fail(fmt::format("bad package: export type {} {}", util::printable(type.name), what));
}

/// Readers of the metadata go by its spelled types: they must not differ from those shown here.
Result<ValueTypePtr> check_spellings(const ExportType& wanted, ValueTypePtr type) {
    for (std::size_t i = 0; i < wanted.members.size() && i < type->members.size(); ++i) {
        if (!may_be_spelled(*type->members[i].type, wanted.members[i].type)) {
            return disagreement(wanted, fmt::format("has a member {} that is no {} in its object",
                                                    util::printable(wanted.members[i].name),
                                                    util::printable(wanted.members[i].type)));
        }
    }
    return type;
}

Result<ValueTypePtr> type_of_export(const ExportType& wanted, const btf* types) {
    const std::uint32_t id = wanted.type_id != 0 ? wanted.type_id : find_struct(types, wanted.name);
    const btf_type* type = id == 0 ? nullptr : btf__type_by_id(types, id);
    if (type == nullptr || !btf_is_composite(type)) {
        return disagreement(wanted, "is no struct of its object");
    }
    const char* name = btf__name_by_offset(types, type->name_off);
    if (name == nullptr || wanted.name != name) {
        return disagreement(wanted, "has another name in its object");
    }
    if (wanted.type_id == 0) {
        return value_type_from_btf(types, id);
    }
    if (wanted.size != type->size || wanted.members.size() != btf_vlen(type)) {
        return disagreement(wanted, "has another size or other members in its object");
    }
    for (std::uint16_t i = 0; i < btf_vlen(type); ++i) {
        const char* member = btf__name_by_offset(types, btf_members(type)[i].name_off);
        if (member == nullptr || wanted.members[i].name != member) {
            return disagreement(wanted, "has other members in its object");
        }
    }
    auto built = value_type_from_btf(types, id);
    return built ? check_spellings(wanted, std::move(*built)) : built;
}

class ExportFinder {
  public:
    ExportFinder(const Meta& meta, const btf* types) : meta_(meta), types_(types) {}

    Result<Export> make(const MapMeta& map, const MapShape& shape, Channel channel) const {
        Export out;
        out.map = map.name;
        out.channel = channel;
        out.stack_trace = map.stack_trace;
        if (map.sample) {
            out.sample = *map.sample;
        }
        auto value = channel == Channel::sampled_map ? sampled_value(map, shape) : event(map);
        if (!value) {
            return tl::unexpected(value.error());
        }
        out.value = *value;
        out.columns = columns_of(out.value, "value");
        if (channel == Channel::sampled_map) {
            const auto key = known_or_opaque(shape.key_type_id, shape.key_size);
            if (!key) {
                return tl::unexpected(key.error());
            }
            out.key = *key;
            out.key_columns = columns_of(out.key, "key");
            out.cpu_column = is_per_cpu(shape.type) && !PerCpuSum(*out.value).always();
        }
        return out;
    }

  private:
    /// Without a known type an event is all the bytes that come.
    [[nodiscard]] Result<ValueTypePtr> event(const MapMeta& map) const {
        switch (map.export_config.kind) {
            case ExportKind::by_type_id:
                return from_btf(map.export_config.type_id);
            case ExportKind::custom_members:
                return chosen_members(map);
            default:
                break;
        }
        if (meta_.format == FormatVersion::older) {
            return older_event(map);
        }
        if (meta_.export_types.empty()) {
            return opaque_type(0);
        }
        if (!meta_.export_btf.empty()) {
            const bpfkit::BtfPtr own(btf__new(meta_.export_btf.data(),
                                              static_cast<std::uint32_t>(meta_.export_btf.size())));
            return own != nullptr ? type_of_export(meta_.export_types.front(), own.get())
                                  : no_btf();
        }
        return has_btf() ? type_of_export(meta_.export_types.front(), types_) : no_btf();
    }

    [[nodiscard]] Result<ValueTypePtr> chosen_members(const MapMeta& map) const {
        auto type = value_type_from_members(types_, map.export_config.members);
        if (!type) {
            return fail(fmt::format("bad package: map {}: {}", util::printable(map.name),
                                    type.error().message));
        }
        return type;
    }

    [[nodiscard]] Result<ValueTypePtr> older_event(const MapMeta& map) const {
        if (!map.legacy) {
            return opaque_type(0);
        }
        // The object's own types know more (signs, enums, bit fields) if they describe the same.
        const std::uint32_t id = has_btf() ? find_struct(types_, map.legacy->name) : 0;
        if (id != 0) {
            auto type = value_type_from_btf(types_, id);
            if (type && (*type)->size == map.legacy->size) {
                return type;
            }
        }
        return value_type_from_older(*map.legacy);
    }

    [[nodiscard]] Result<ValueTypePtr> sampled_value(const MapMeta& map,
                                                     const MapShape& shape) const {
        std::uint32_t id = shape.value_type_id;
        if (map.export_config.kind == ExportKind::by_type_id) {
            id = map.export_config.type_id;
        }
        auto type = map.export_config.kind == ExportKind::custom_members
                        ? chosen_members(map)
                        : known_or_opaque(id, shape.value_size);
        if (type && (*type)->size > shape.value_size) {
            return fail(fmt::format("bad package: the values of map {} are smaller than their type",
                                    util::printable(map.name)));
        }
        return type;
    }

    [[nodiscard]] Result<ValueTypePtr> known_or_opaque(std::uint32_t id, std::uint32_t size) const {
        if (id == 0 || types_ == nullptr) {
            return opaque_type(size);
        }
        auto type = from_btf(id);
        if (type && (*type)->size > size) {
            return fail("bad package: a map's type is larger than its entries");
        }
        return type;
    }

    [[nodiscard]] Result<ValueTypePtr> from_btf(std::uint32_t id) const {
        auto type = has_btf() ? value_type_from_btf(types_, id) : no_btf();
        if (!type) {
            return fail("bad package: " + type.error().message);
        }
        return type;
    }

    [[nodiscard]] bool has_btf() const { return types_ != nullptr; }

    static Result<ValueTypePtr> no_btf() {
        return fail("bad package: its object has no BTF, so that its events cannot be read");
    }

    const Meta& meta_;
    const btf* types_;
};

const MapShape* find_shape(const std::vector<MapShape>& maps, const std::string& name) {
    const auto found = std::find_if(maps.begin(), maps.end(),
                                    [&](const MapShape& map) { return map.name == name; });
    return found == maps.end() ? nullptr : &*found;
}

/// The maps behind .rodata and the like carry the object's name, which packages of the older format
/// state otherwise than libbpf cuts it today. Nothing is shown of them.
bool is_internal(const MapMeta& map) {
    return map.name.find('.') != std::string::npos;
}

bool wants_export(const Meta& meta, const MapMeta& map) {
    return !meta.multiple_export || map.export_config.kind != ExportKind::none;
}

std::vector<std::uint64_t> slots_of(const ValueMember& member, std::string_view value) {
    std::vector<std::uint64_t> slots;
    const ValueType& element = *member.type->element;
    const std::size_t start = member.bit_offset / 8;
    for (std::uint32_t i = 0; i < member.type->count; ++i) {
        std::uint64_t count = 0;
        for (std::uint32_t byte = 0; byte < element.size; ++byte) {
            const char c = value[start + std::size_t{i} * element.size + byte];
            count |= std::uint64_t{static_cast<unsigned char>(c)} << (8 * byte);
        }
        slots.push_back(count);
    }
    return slots;
}

/// The array of counters: the member "slots" or the value itself.
const Column* slots_column(const Export& what) {
    const auto is_counters = [](const Column& column) {
        return column.member.type->kind == ValueKind::array &&
               column.member.type->element->kind == ValueKind::integer &&
               column.member.type->element->size <= 8;
    };
    for (const auto& column : what.columns) {
        if (is_counters(column) && (column.name == slots_member || what.columns.size() == 1)) {
            return &column;
        }
    }
    return nullptr;
}

void append_columns(std::string& out, const std::vector<Column>& columns, std::string_view bytes) {
    for (const auto& column : columns) {
        out += ' ';
        const std::size_t before = out.size();
        append_member_text(out, column.member, bytes);
        out += out.size() == before ? "-" : "";  // an empty text is a column too
    }
}

void append_names(std::string& out, const std::vector<Column>& columns) {
    for (const auto& column : columns) {
        out += ' ';
        util::append_printable(out, column.name);
    }
}

bool is_histogram(const Export& what) {
    return what.channel == Channel::sampled_map && what.sample.kind != SampleKind::key_value;
}

void append_opaque(std::string& out, std::string_view bytes, bool json) {
    const auto type = opaque_type(static_cast<std::uint32_t>(bytes.size()));
    if (json) {
        append_json(out, *type, bytes);
    } else {
        append_text(out, *type, bytes);
    }
}

// The package's own members keep their names; two of one name would be no JSON object.
std::string free_name(const Export& what, std::string name) {
    const auto taken = [&](const Column& column) { return column.name == name; };
    const bool flat = what.channel != Channel::sampled_map;
    while (flat && std::any_of(what.columns.begin(), what.columns.end(), taken)) {
        name.insert(0, "read_");
    }
    return name;
}

}  // namespace

Result<std::vector<Export>> find_exports(const Meta& meta, const btf* types,
                                         const std::vector<MapShape>& maps) {
    const ExportFinder finder(meta, types);
    std::vector<Export> out;
    for (const auto& map : meta.maps) {
        const MapShape* shape = find_shape(maps, map.name);
        if (shape == nullptr && is_internal(map)) {
            continue;
        }
        if (shape == nullptr) {
            return fail(
                fmt::format("bad package: its object has no map {}", util::printable(map.name)));
        }
        const auto channel = channel_of(map, *shape);
        if (!channel || !wants_export(meta, map)) {
            continue;
        }
        if (*channel == Channel::sampled_map && !can_be_sampled(*shape)) {
            return fail(fmt::format("bad package: map {} is of a kind that cannot be sampled",
                                    util::printable(map.name)));
        }
        auto one = finder.make(map, *shape, *channel);
        if (!one) {
            return tl::unexpected(one.error());
        }
        if (is_histogram(*one) && slots_column(*one) == nullptr) {
            return fail(fmt::format("bad package: map {} has no array \"slots\" to draw",
                                    util::printable(map.name)));
        }
        out.push_back(std::move(*one));
    }
    return out;
}

void Formatter::append_heading(std::string& out, const Export& what) const {
    if (json_ || is_histogram(what) || what.stack_trace) {
        return;
    }
    append_text_start(out, what, "time");
    append_names(out, what.key_columns);
    out += what.cpu_column ? " cpu" : "";
    append_names(out, what.columns);
    out += '\n';
}

bool Formatter::append_event(std::string& out, const Export& what, std::string_view bytes,
                             std::string_view time) const {
    if (bytes.size() < what.value->size) {
        return false;
    }
    const bool opaque = what.value->kind == ValueKind::bytes && what.value->size == 0;
    if (what.stack_trace && !json_ && what.value->kind == ValueKind::record) {
        append_stack_trace(out, *what.value, *what.stack_trace, bytes);
        return true;
    }
    if (json_) {
        append_json_start(out, what, time);
        if (what.value->kind == ValueKind::record) {
            const std::size_t before = out.size();
            out += ',';
            append_members_json(out, *what.value, bytes);
            out.resize(out.size() == before + 1 ? before : out.size());
        } else {
            out += ",\"value\":";
            opaque ? append_opaque(out, bytes, true) : append_json(out, *what.value, bytes);
        }
        out += "}\n";
        return true;
    }
    append_text_start(out, what, time);
    if (opaque) {
        out += ' ';
        append_opaque(out, bytes, false);
    } else {
        append_columns(out, what.columns, bytes);
    }
    out += '\n';
    return true;
}

void Formatter::append_entry(std::string& out, const Export& what, std::string_view key,
                             std::string_view value, std::string_view time,
                             std::optional<int> cpu) const {
    if (json_) {
        append_json_start(out, what, time);
        out += ",\"key\":";
        append_json(out, *what.key, key);
        if (cpu) {
            fmt::format_to(std::back_inserter(out), ",\"cpu\":{}", *cpu);
        }
        out += ",\"value\":";
        append_json(out, *what.value, value);
        out += "}\n";
    } else if (is_histogram(what)) {
        append_histogram(out, what, key, value, cpu);
    } else {
        append_text_start(out, what, time);
        append_columns(out, what.key_columns, key);
        if (what.cpu_column) {
            out += cpu ? fmt::format(" {}", *cpu) : " all";
        }
        append_columns(out, what.columns, value);
        out += '\n';
    }
}

void Formatter::append_loss(std::string& out, const Export& what, std::uint64_t lost) const {
    if (json_) {
        fmt::format_to(std::back_inserter(out), R"({{"lost":{},"map":)", lost);
        util::append_json_string(out, what.map);
        out += "}\n";
    }
}

void Formatter::append_json_start(std::string& out, const Export& what,
                                  std::string_view time) const {
    out += '{';
    fmt::format_to(std::back_inserter(out), R"("{}":)", free_name(what, "time"));
    util::append_json_string(out, time);
    if (several_) {
        fmt::format_to(std::back_inserter(out), R"(,"{}":)", free_name(what, "map"));
        util::append_json_string(out, what.map);
    }
}

void Formatter::append_text_start(std::string& out, const Export& what,
                                  std::string_view time) const {
    out += time;
    if (several_) {
        out += ' ';
        util::append_printable(out, what.map);
    }
}

void Formatter::append_histogram(std::string& out, const Export& what, std::string_view key,
                                 std::string_view value, std::optional<int> cpu) const {
    if (several_) {
        out += "map = ";
        util::append_printable(out, what.map);
        out += '\n';
    }
    out += "key = ";
    append_text(out, *what.key, key);
    out += '\n';
    if (cpu) {
        fmt::format_to(std::back_inserter(out), "cpu = {}\n", *cpu);
    }
    const Column* slots = slots_column(what);
    for (const auto& column : what.columns) {
        if (&column != slots) {
            util::append_printable(out, column.name);
            out += " = ";
            append_member_text(out, column.member, value);
            out += '\n';
        }
    }
    const auto counts = slots_of(slots->member, value);
    if (what.sample.kind == SampleKind::log2_histogram) {
        append_log2_histogram(out, counts, what.sample.unit);
    } else {
        append_linear_histogram(out, counts, what.sample.unit);
    }
    out += '\n';
}

}  // namespace rqs::pkg
