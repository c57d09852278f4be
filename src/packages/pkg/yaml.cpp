// SPDX-License-Identifier: BSD-2-Clause
#include <fmt/format.h>
#include <yaml-cpp/eventhandler.h>
#include <yaml-cpp/exceptions.h>
#include <yaml-cpp/parser.h>

#include <sstream>

#include "pkg/limits.h"
#include "pkg/package.h"
#include "util/safe_text.h"

namespace rqs::pkg {
namespace {

void append_scalar(std::string& out, const Json& json) {
    if (json.is_string()) {
        // A JSON string is a double-quoted YAML scalar.
        util::append_json_string(out, json.get_ref<const std::string&>());
    } else {
        out += json.dump();
    }
}

void append_yaml(std::string& out, const Json& json, std::size_t indent);

void append_value(std::string& out, const Json& json, std::size_t indent) {
    if (json.is_structured() && !json.empty()) {
        out += '\n';
        append_yaml(out, json, indent + 2);
        return;
    }
    out += ' ';
    append_scalar(out, json);
    out += '\n';
}

void append_yaml(std::string& out, const Json& json, std::size_t indent) {
    for (const auto& item : json.items()) {
        out.append(indent, ' ');
        if (json.is_array()) {
            out += '-';
        } else {
            util::append_json_string(out, item.key());
            out += ':';
        }
        append_value(out, item.value(), indent);
    }
}

Json plain_scalar(const std::string& text) {
    if (text.empty() || text == "~" || text == "null") {
        return nullptr;
    }
    // What JSON takes for a number or a boolean is one in YAML's core schema as well.
    Json json = Json::parse(text, nullptr, false);
    if (!json.is_discarded() && (json.is_number() || json.is_boolean())) {
        return json;
    }
    return text;
}

struct Unsupported {
    const char* what;
};

/// Builds JSON from yaml-cpp's events: unlike its node tree, these cannot grow by aliases.
class Builder final : public YAML::EventHandler {
  public:
    Builder() noexcept(false) {}  // NOLINT(modernize-use-equals-default): its members may throw

    void OnDocumentStart(const YAML::Mark& /*mark*/) override {}
    void OnDocumentEnd() override {}
    void OnNull(const YAML::Mark& /*mark*/, YAML::anchor_t /*anchor*/) override { add(nullptr); }
    void OnAlias(const YAML::Mark& /*mark*/, YAML::anchor_t /*anchor*/) override {
        throw Unsupported{"an alias"};
    }
    void OnScalar(const YAML::Mark& /*mark*/, const std::string& tag, YAML::anchor_t /*anchor*/,
                  const std::string& value) override {
        // "?" is a plain scalar, "!" a quoted one.
        add(tag == "?" || tag.empty() ? plain_scalar(value) : Json(value));
    }
    void OnSequenceStart(const YAML::Mark& /*mark*/, const std::string& /*tag*/,
                         YAML::anchor_t /*anchor*/, YAML::EmitterStyle::value /*style*/) override {
        open(Json::array());
    }
    void OnSequenceEnd() override { close(); }
    void OnMapStart(const YAML::Mark& /*mark*/, const std::string& /*tag*/,
                    YAML::anchor_t /*anchor*/, YAML::EmitterStyle::value /*style*/) override {
        open(Json::object());
    }
    void OnMapEnd() override { close(); }

    Json take() { return std::move(root_); }

  private:
    struct Level {
        Json value;
        std::optional<std::string> key;
    };

    void open(Json value) {
        if (stack_.size() >= limits::json_depth) {
            throw Unsupported{"deep nesting"};
        }
        stack_.push_back({std::move(value), std::nullopt});
    }

    void close() {
        Json value = std::move(stack_.back().value);
        stack_.pop_back();
        add(std::move(value));
    }

    void add(Json value) {
        if (++values_ > limits::values) {
            throw Unsupported{"more values than a package may have"};
        }
        if (stack_.empty()) {
            root_ = std::move(value);
            return;
        }
        Level& level = stack_.back();
        if (level.value.is_array()) {
            level.value.push_back(std::move(value));
        } else if (!level.key) {
            if (value.is_structured()) {
                throw Unsupported{"a key that is no scalar"};
            }
            level.key = value.is_string() ? value.get<std::string>() : value.dump();
        } else {
            level.value[*level.key] = std::move(value);
            level.key.reset();
        }
    }

    std::vector<Level> stack_;
    std::size_t values_ = 0;
    Json root_;
};

}  // namespace

std::string to_yaml(const Json& json) {
    std::string out;
    append_yaml(out, json, 0);
    return out;
}

Result<Json> yaml_to_json(const std::string& text) {
    // yaml-cpp reports every error by an exception.
    try {
        std::istringstream stream(text);
        YAML::Parser parser(stream);
        Builder builder;
        if (!parser.HandleNextDocument(builder)) {
            return fail("the package is empty");
        }
        Json json = builder.take();
        if (!json.is_object()) {
            return fail("the package is neither a JSON object nor a YAML mapping");
        }
        return json;
    } catch (const YAML::Exception& error) {
        return fail(fmt::format("the package is neither JSON nor valid YAML (line {}: {})",
                                error.mark.line + 1, util::printable(error.msg)));
    } catch (const Unsupported& error) {
        return fail(fmt::format("the package's YAML has {}, which is not accepted", error.what));
    }
}

}  // namespace rqs::pkg
