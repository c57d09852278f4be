// SPDX-License-Identifier: BSD-2-Clause
// Reading typed fields out of untrusted JSON, with an error that names the place.
#pragma once

#include <fmt/format.h>

#include <string>

#include "pkg/limits.h"
#include "pkg/meta.h"
#include "util/safe_text.h"

namespace rqs::pkg {

/// The first problem stops the reading; what follows is not looked at. Used by value-returning
/// readers that check `ok()` once at their end.
class FieldReader {
  public:
    [[nodiscard]] bool ok() const { return error_.empty(); }
    [[nodiscard]] const std::string& error() const { return error_; }

    void complain(const std::string& place, std::string_view what) {
        if (error_.empty()) {
            error_ = fmt::format("{} {}", util::printable(place), what);
        }
    }

    /// The value of `key`, or nullptr when it is absent or null.
    static const Json* find(const Json& object, const char* key) {
        if (!object.is_object()) {
            return nullptr;
        }
        const auto found = object.find(key);
        return found == object.end() || found->is_null() ? nullptr : &*found;
    }

    std::string text(const Json& object, const char* key, const std::string& place, bool required) {
        const Json* value = find(object, key);
        if (value == nullptr) {
            if (required) {
                complain(place, fmt::format("has no \"{}\"", key));
            }
            return {};
        }
        if (!value->is_string()) {
            complain(place, fmt::format("\"{}\" is not a string", key));
            return {};
        }
        const auto& out = value->get_ref<const std::string&>();
        if (out.size() > limits::name_bytes || out.find('\0') != std::string::npos) {
            complain(place, fmt::format("\"{}\" is too long or holds a zero byte", key));
            return {};
        }
        return out;
    }

    std::uint32_t number(const Json& object, const char* key, const std::string& place,
                         std::uint32_t least, std::uint32_t most,
                         std::optional<std::uint32_t> otherwise) {
        const Json* value = find(object, key);
        if (value == nullptr) {
            if (!otherwise) {
                complain(place, fmt::format("has no \"{}\"", key));
            }
            return otherwise.value_or(least);
        }
        if (!value->is_number_unsigned() && !value->is_number_integer()) {
            complain(place, fmt::format("\"{}\" is not a whole number", key));
            return least;
        }
        const bool negative = !value->is_number_unsigned() && value->get<std::int64_t>() < 0;
        const auto out = negative ? 0 : value->get<std::uint64_t>();
        if (negative || out < least || out > most) {
            complain(place, fmt::format("\"{}\" is not between {} and {}", key, least, most));
            return least;
        }
        return static_cast<std::uint32_t>(out);
    }

    bool boolean(const Json& object, const char* key, const std::string& place, bool otherwise) {
        const Json* value = find(object, key);
        if (value == nullptr) {
            return otherwise;
        }
        if (!value->is_boolean()) {
            complain(place, fmt::format("\"{}\" is neither true nor false", key));
            return otherwise;
        }
        return value->get<bool>();
    }

    /// The array under `key`; absent and null are an empty one.
    const Json& array(const Json& object, const char* key, const std::string& place) {
        static const Json none = Json::array();
        const Json* value = find(object, key);
        if (value == nullptr) {
            return none;
        }
        if (!value->is_array()) {
            complain(place, fmt::format("\"{}\" is not a list", key));
            return none;
        }
        if (value->size() > limits::entries) {
            complain(place, fmt::format("\"{}\" has more than {} entries", key, limits::entries));
            return none;
        }
        return *value;
    }

  private:
    std::string error_;
};

}  // namespace rqs::pkg
