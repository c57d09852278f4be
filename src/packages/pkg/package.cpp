// SPDX-License-Identifier: BSD-2-Clause
#include "pkg/package.h"

#include <fmt/format.h>

#include "pkg/deflate.h"
#include "pkg/json_field.h"
#include "pkg/limits.h"
#include "pkg/object_check.h"

namespace rqs::pkg {
namespace {

/// A look at the brackets and commas alone, before any parser builds anything from them.
Status check_extent(std::string_view text) {
    std::size_t depth = 0;
    std::size_t commas = 0;
    bool in_string = false;
    for (std::size_t i = 0; i < text.size(); ++i) {
        const char c = text[i];
        if (in_string) {
            i += c == '\\' ? 1U : 0U;
            in_string = c != '"';
        } else if (c == '"') {
            in_string = true;
        } else if (c == '{' || c == '[') {
            if (++depth > limits::json_depth) {
                return fail(
                    fmt::format("the package nests deeper than {} levels", limits::json_depth));
            }
        } else if ((c == '}' || c == ']') && depth > 0) {
            --depth;
        } else if (c == ',' && ++commas > limits::values) {
            return fail(fmt::format("the package has more than {} values", limits::values));
        }
    }
    return {};
}

/// Files that people take for packages.
Status check_kind(std::string_view text) {
    const auto starts_with = [&](std::string_view magic) {
        return text.substr(0, magic.size()) == magic;
    };
    constexpr std::size_t tar_magic_at = 257;
    if (starts_with("\177"
                    "ELF")) {
        return fail("this is an object file, not a package: ecc makes packages from sources");
    }
    if (starts_with("\x1f\x8b")) {
        return fail("this is a gzip file: unpack it first");
    }
    if (starts_with(std::string_view("\0asm", 4))) {
        return fail("this is a WebAssembly module, not a package: only JSON packages are run");
    }
    if (text.size() > tar_magic_at && text.substr(tar_magic_at, 5) == "ustar") {
        return fail("this is a tar archive: unpack it and run the package in it");
    }
    return {};
}

Result<Json> parse_text(std::string_view text) {
    const auto first = text.find_first_not_of(" \t\r\n");
    if (first == std::string_view::npos) {
        return fail("the package is empty");
    }
    if (const auto known = check_kind(text); !known) {
        return tl::unexpected(known.error());
    }
    if (const auto extent = check_extent(text); !extent) {
        return tl::unexpected(extent.error());
    }
    // Text that does not start as a JSON object is left to the YAML parser, which is the slower
    // one.
    if (text[first] != '{') {
        return yaml_to_json(std::string(text));
    }
    Json json = Json::parse(text, nullptr, false);
    if (json.is_discarded()) {
        return fail("the package is not valid JSON");
    }
    return json;
}

/// The size that a package states for its object; drafts of the format state none.
Result<std::optional<std::size_t>> stated_size(const Json& json, const char* key) {
    if (FieldReader::find(json, key) == nullptr) {
        return std::nullopt;
    }
    FieldReader reader;
    const auto size = reader.number(json, key, "package", 1,
                                    static_cast<std::uint32_t>(limits::object_bytes), std::nullopt);
    if (!reader.ok()) {
        return fail("bad package: " + reader.error());
    }
    return size;
}

Result<Bytes> decode_field(const Json& json, const char* key) {
    const Json* value = FieldReader::find(json, key);
    if (value == nullptr || !value->is_string()) {
        return fail(fmt::format("bad package: \"{}\" is not a string", key));
    }
    auto bytes = base64_decode(value->get_ref<const std::string&>());
    if (!bytes) {
        return fail("bad package: " + bytes.error().message);
    }
    return bytes;
}

/// Without a stated size, the limit is what keeps a small package from filling the memory.
Result<Bytes> inflated(const Bytes& bytes, std::optional<std::size_t> size) {
    auto object = inflate(bytes, size.value_or(limits::object_bytes));
    if (!object) {
        return fail("bad package: " + object.error().message);
    }
    return object;
}

Status check_size(const Bytes& object, std::optional<std::size_t> size) {
    if (size && object.size() != *size) {
        return fail(fmt::format("bad package: the object has {} bytes, but the package states {}",
                                object.size(), *size));
    }
    return {};
}

Result<Package> read_current(const Json& json) {
    const auto size = stated_size(json, "bpf_object_size");
    if (!size) {
        return tl::unexpected(size.error());
    }
    const auto compressed = decode_field(json, "bpf_object");
    if (!compressed) {
        return tl::unexpected(compressed.error());
    }
    auto object = inflated(*compressed, *size);
    if (!object) {
        return tl::unexpected(object.error());
    }
    if (const auto sized = check_size(*object, *size); !sized) {
        return tl::unexpected(sized.error());
    }
    const Json* meta_json = FieldReader::find(json, "meta");
    if (meta_json == nullptr) {
        return fail("bad package: it has no \"meta\"");
    }
    auto meta = meta_from_json(*meta_json);
    if (!meta) {
        return tl::unexpected(meta.error());
    }
    return Package{std::move(*object), std::move(*meta)};
}

bool is_elf(const Bytes& bytes) {
    return bytes.size() >= 4 && bytes[0] == 0x7f && bytes[1] == 'E' && bytes[2] == 'L' &&
           bytes[3] == 'F';
}

/// Tools of that time wrote the object compressed or as it was; only the bytes tell which.
Result<Package> read_older(const Json& json, const char* data_key) {
    const char* size_key = json.contains("data_sz") ? "data_sz" : "ebpf_data_sz";
    const auto size = stated_size(json, size_key);
    if (!size) {
        return tl::unexpected(size.error());
    }
    auto object = decode_field(json, data_key);
    if (object && !is_elf(*object)) {
        object = inflated(*object, *size);
    }
    if (!object) {
        return tl::unexpected(object.error());
    }
    if (const auto sized = check_size(*object, *size); !sized) {
        return tl::unexpected(sized.error());
    }
    auto meta = older_meta_from_json(json);
    if (!meta) {
        return tl::unexpected(meta.error());
    }
    return Package{std::move(*object), std::move(*meta)};
}

Result<Package> read_by_format(const Json& json) {
    if (!json.is_object()) {
        return fail("the package is neither a JSON object nor a YAML mapping");
    }
    if (json.contains("bpf_object")) {
        return read_current(json);
    }
    for (const char* key : {"data", "ebpf_data"}) {
        if (json.contains(key)) {
            return read_older(json, key);
        }
    }
    return fail(R"(bad package: it has neither "bpf_object" nor "data": not a BPF package)");
}

}  // namespace

Result<Package> read_package(std::string_view text) {
    if (text.size() > limits::package_bytes) {
        return fail(fmt::format("the package is larger than {} MiB", limits::package_bytes >> 20));
    }
    const auto json = parse_text(text);
    if (!json) {
        return tl::unexpected(json.error());
    }
    auto package = read_by_format(*json);
    if (package) {
        if (const auto sound = check_object(package->object); !sound) {
            return fail("bad package: " + sound.error().message);
        }
    }
    return package;
}

Result<Json> package_json(const Bytes& object, const Json& meta) {
    const auto compressed = deflate(object);
    if (!compressed) {
        return tl::unexpected(compressed.error());
    }
    Json json = Json::object();
    json["bpf_object"] = base64_encode(*compressed);
    json["bpf_object_size"] = object.size();
    json["meta"] = meta;
    return json;
}

}  // namespace rqs::pkg
