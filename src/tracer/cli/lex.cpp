// SPDX-License-Identifier: BSD-2-Clause
#include "cli/lex.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstddef>
#include <string_view>
#include <utility>

#include "util/text.h"

namespace rqs::cli {
namespace {

using util::in_quotes;

constexpr std::string_view see_help = "see 'runqslower --help'";

/// The words before the first `--`, and where the next one is.
struct Cursor {
    std::vector<std::string_view> words;
    std::size_t next = 0;

    [[nodiscard]] bool at_end() const { return next == words.size(); }
    std::string_view take() { return words[next++]; }
};

const OptionRow* find_short(char name) {
    const auto& rows = option_table();
    const auto row = std::find_if(rows.begin(), rows.end(),
                                  [&](const OptionRow& one) { return one.short_name == name; });
    return row == rows.end() ? nullptr : &*row;
}

/// The rows that `name` may stand for: the one of exactly that name, or all that begin with it.
std::vector<const OptionRow*> candidates(std::string_view name) {
    std::vector<const OptionRow*> found;
    for (const OptionRow& row : option_table()) {
        if (row.long_name == name) {
            return {&row};
        }
        if (!row.hidden() && row.long_name.substr(0, name.size()) == name) {
            found.push_back(&row);
        }
    }
    return found;
}

/// The long option that a mistyped one most likely meant: they share the longest beginning.
std::string suggestion(std::string_view name) {
    const OptionRow* best = nullptr;
    std::size_t best_shared = 1;  // two letters say something
    for (const OptionRow& row : option_table()) {
        const auto end =
            std::mismatch(row.long_name.begin(), row.long_name.end(), name.begin(), name.end())
                .first;
        const auto shared = static_cast<std::size_t>(end - row.long_name.begin());
        if (!row.hidden() && shared > best_shared) {
            best_shared = shared;
            best = &row;
        }
    }
    return best == nullptr ? std::string(see_help)
                           : fmt::format("did you mean {}?", best->display_name());
}

/// The row of `--name`, abbreviated or not. `word` stands in error lines.
Result<const OptionRow*> find_long(std::string_view name, std::string_view word) {
    const auto found = candidates(name);
    if (found.empty()) {
        return usage_error(fmt::format("unknown option {}; {}", in_quotes(word), suggestion(name)));
    }
    if (found.size() > 1) {
        std::string names;
        for (const OptionRow* row : found) {
            names += (names.empty() ? "" : ", ") + row->display_name();
        }
        return usage_error(
            fmt::format("option {} is ambiguous; it may be {}", in_quotes(word), names));
    }
    return found.front();
}

/// The value of an option that requires one and has none attached: the next word, whatever it is.
Status take_value(Cursor& cursor, const OptionRow* row, std::string_view word, Words& words) {
    if (cursor.at_end()) {
        return usage_error(fmt::format("option {} needs a value; {}", in_quotes(word), see_help));
    }
    words.uses.push_back({row, std::string(cursor.take())});
    return {};
}

/// `--name` or `--name=value`.
Status take_long(Cursor& cursor, std::string_view word, Words& words) {
    const std::size_t equals = word.find('=');
    const std::string_view full = word.substr(0, equals);
    const auto row = find_long(full.substr(2), full);
    if (!row) {
        return tl::unexpected(row.error());
    }
    if (equals == std::string_view::npos) {
        if ((*row)->value == Value::required) {
            return take_value(cursor, *row, word, words);
        }
        words.uses.push_back({*row, ""});
        return {};
    }
    const std::string_view value = word.substr(equals + 1);
    if ((*row)->value == Value::none) {
        return usage_error(fmt::format("{} takes no value; leave out {}", (*row)->display_name(),
                                       in_quotes(word.substr(equals))));
    }
    // Without a value it means something else than it says.
    if ((*row)->value == Value::optional && value.empty()) {
        return usage_error(fmt::format("{0}= lacks its value; write {0}={1} or only {0}",
                                       (*row)->display_name(), (*row)->metavar));
    }
    words.uses.push_back({*row, std::string(value)});
    return {};
}

/// `-P`, `-PW`, `-p5`, `-Pp 5`.
Status take_cluster(Cursor& cursor, std::string_view word, Words& words) {
    for (std::size_t i = 1; i < word.size(); ++i) {
        const OptionRow* row = find_short(word[i]);
        if (row == nullptr) {
            return usage_error(fmt::format("unknown option {}; {}",
                                           in_quotes(fmt::format("-{}", word[i])), see_help));
        }
        if (row->value != Value::required) {
            words.uses.push_back({row, ""});
            continue;
        }
        if (i + 1 == word.size()) {
            return take_value(cursor, row, word, words);
        }
        words.uses.push_back({row, std::string(word.substr(i + 1))});
        break;
    }
    return {};
}

Status take_word(Cursor& cursor, Words& words) {
    const std::string_view word = cursor.take();
    const bool has_dash = word.size() > 1 && word[0] == '-';
    if (has_dash && word[1] == '-') {
        return take_long(cursor, word, words);
    }
    // A negative number is a wrong operand, not an option.
    if (has_dash && (word[1] < '0' || word[1] > '9')) {
        return take_cluster(cursor, word, words);
    }
    words.operands.emplace_back(word);
    return {};
}

}  // namespace

Result<Words> lex(int argc, const char* const* argv) {
    Cursor cursor;
    Words words;
    for (int i = 1; i < argc; ++i) {
        const std::string_view word = argv[i];
        if (words.command) {
            words.command->emplace_back(word);
        } else if (word == "--") {
            words.command.emplace();
        } else {
            cursor.words.push_back(word);
        }
    }
    while (!cursor.at_end()) {
        if (auto status = take_word(cursor, words); !status) {
            return tl::unexpected(status.error());
        }
    }
    return words;
}

}  // namespace rqs::cli
