// SPDX-License-Identifier: BSD-2-Clause
#include "format_check.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstdint>
#include <sstream>
#include <utility>

namespace rqs::pkgtest {
namespace {

using nlohmann::json;

/// "a|b|c" as its words.
std::vector<std::string> split(const std::string& text) {
    std::vector<std::string> out;
    std::istringstream words(text);
    for (std::string word; std::getline(words, word, '|');) {
        out.push_back(word);
    }
    return out;
}

bool is_whole(const json& value, std::int64_t low, std::uint64_t high) {
    if (value.is_number_unsigned()) {
        return value.get<std::uint64_t>() <= high;
    }
    return value.is_number_integer() && value.get<std::int64_t>() >= low;
}

bool is_base64(const json& value) {
    constexpr std::string_view digits =
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    if (!value.is_string()) {
        return false;
    }
    const auto& text = value.get_ref<const std::string&>();
    const std::size_t end = std::min(text.find_first_not_of(digits), text.size());
    return !text.empty() && text.size() % 4 == 0 && text.size() - end <= 2 &&
           text.find_first_not_of('=', end) == std::string::npos;
}

/// Whether a value is of one of the types that are no shape; `known` tells whether there is one.
bool has_type(const std::string& type, const json& value, bool& known) {
    known = true;
    if (type == "text") {
        return value.is_string();
    }
    if (type == "bool") {
        return value.is_boolean();
    }
    if (type == "u32") {
        return is_whole(value, 0, UINT32_MAX);
    }
    if (type == "i32") {
        return is_whole(value, INT32_MIN, INT32_MAX);
    }
    if (type == "size") {
        return is_whole(value, 0, UINT64_MAX);
    }
    if (type == "scalar") {
        return value.is_number() || value.is_string() || value.is_boolean();
    }
    if (type == "base64") {
        return is_base64(value);
    }
    known = false;
    return false;
}

std::pair<std::string, bool> field_name(const std::string& key) {
    const bool optional = key.back() == '?';
    return {optional ? key.substr(0, key.size() - 1) : key, optional};
}

/// The words of the enumerations in a rule or a list of rules.
std::vector<std::string> words_of(const json& rules) {
    std::vector<std::string> out;
    for (const auto& rule : rules.is_array() ? rules : json::array({rules})) {
        const auto& text = rule.get_ref<const std::string&>();
        if (text[0] == '=') {
            const auto words = split(text.substr(1));
            out.insert(out.end(), words.begin(), words.end());
        }
    }
    return out;
}

}  // namespace

FormatCheck::FormatCheck(const std::string& shapes)
    : shapes_(json::parse(shapes, nullptr, true, true)) {}

std::vector<std::string> FormatCheck::complaints(const std::string& shape, const json& value) {
    found_.clear();
    check_shape(shape, value, shape);
    return std::exchange(found_, {});
}

std::set<std::string> FormatCheck::unseen() const {
    std::set<std::string> out;
    for (const auto& [shape, fields] : shapes_.items()) {
        for (const auto& [key, rules] : fields.items()) {
            const std::string field = fmt::format("{}.{}", shape, field_name(key).first);
            out.insert(field);
            for (const auto& word : words_of(rules)) {
                out.insert(fmt::format("{}={}", field, word));
            }
        }
    }
    for (const auto& field : seen_) {
        out.erase(field);
    }
    return out;
}

void FormatCheck::check_shape(const std::string& shape, const json& value,
                              const std::string& place) {
    if (!value.is_object()) {
        complain(place, "is no object");
        return;
    }
    std::set<std::string> known;
    for (const auto& [key, rule] : shapes_.at(shape).items()) {
        const auto [name, optional] = field_name(key);
        known.insert(name);
        if (value.contains(name)) {
            const std::string field = fmt::format("{}.{}", shape, name);
            seen_.insert(field);
            check_rule(rule, value[name], fmt::format("{}.{}", place, name), field);
        } else if (!optional) {
            complain(place, "has no \"" + name + "\"");
        }
    }
    for (const auto& [name, ignored] : value.items()) {
        if (!known.contains(name)) {
            complain(place, "has a field \"" + name + "\" that the format does not know");
        }
    }
}

void FormatCheck::check_rule(const json& rule, const json& value, const std::string& place,
                             const std::string& field) {
    if (!rule.is_array()) {
        check_word(rule.get<std::string>(), value, place, field);
        return;
    }
    std::vector<std::string> worst;
    for (const auto& alternative : rule) {
        auto before = std::exchange(found_, {});
        check_word(alternative.get<std::string>(), value, place, field);
        auto wrong = std::exchange(found_, std::move(before));
        if (wrong.empty()) {
            return;
        }
        worst = std::move(wrong);
    }
    found_.insert(found_.end(), worst.begin(), worst.end());
}

void FormatCheck::check_word(const std::string& rule, const json& value, const std::string& place,
                             const std::string& field) {
    if (rule.size() > 2 && rule.substr(rule.size() - 2) == "[]") {
        if (!value.is_array()) {
            complain(place, "is no array");
            return;
        }
        for (std::size_t i = 0; i < value.size(); ++i) {
            check_shape(rule.substr(0, rule.size() - 2), value[i], fmt::format("{}[{}]", place, i));
        }
        return;
    }
    if (rule[0] == '=') {
        const auto words = split(rule.substr(1));
        if (!value.is_string() ||
            std::find(words.begin(), words.end(), value.get<std::string>()) == words.end()) {
            complain(place, "is none of " + rule.substr(1) + ": " + value.dump());
            return;
        }
        seen_.insert(field + "=" + value.get<std::string>());
        return;
    }
    bool known = false;
    const bool fits = has_type(rule, value, known);
    if (!known) {
        check_shape(rule, value, place);
    } else if (!fits) {
        complain(place, "is no " + rule + ": " + value.dump());
    }
}

void FormatCheck::complain(const std::string& place, const std::string& what) {
    found_.push_back(place + " " + what);
}

}  // namespace rqs::pkgtest
