// SPDX-License-Identifier: BSD-2-Clause
// Whether a package is what readers of the format ask for.
#pragma once

#include <nlohmann/json.hpp>
#include <set>
#include <string>
#include <vector>

namespace rqs::pkgtest {

/// Checks values against the shapes of format.jsonc and remembers what it saw.
class FormatCheck {
  public:
    /// `shapes` is the text of such a file; comments in it are passed over.
    explicit FormatCheck(const std::string& shapes);

    /// What is wrong with `value`, a line each with its place; nothing if it has `shape`.
    std::vector<std::string> complaints(const std::string& shape, const nlohmann::json& value);

    /// The fields and words of enumerations that no value had so far: "map.sample",
    /// "sample.type=log2_hist".
    [[nodiscard]] std::set<std::string> unseen() const;

    [[nodiscard]] const nlohmann::json& shapes() const { return shapes_; }

  private:
    void check_shape(const std::string& shape, const nlohmann::json& value,
                     const std::string& place);
    void check_rule(const nlohmann::json& rule, const nlohmann::json& value,
                    const std::string& place, const std::string& field);
    void check_word(const std::string& rule, const nlohmann::json& value, const std::string& place,
                    const std::string& field);
    void complain(const std::string& place, const std::string& what);

    nlohmann::json shapes_;
    std::set<std::string> seen_;
    std::vector<std::string> found_;
};

/// What eunomia's runtime further asks of a package: that its metadata fits its object. A line for
/// each thing that is wrong.
std::vector<std::string> object_complaints(const nlohmann::json& package);

}  // namespace rqs::pkgtest
