// SPDX-License-Identifier: BSD-2-Clause
#include "ecc/docs.h"

#include <algorithm>
#include <array>
#include <cctype>
#include <optional>

#include "ecc/scanner.h"
#include "util/text.h"

namespace rqs::ecc {
namespace {

using pkg::Json;
using util::trim;

constexpr std::string_view description = "description";

// clang's block commands (its documentation, "Documentation comments"); all others are unknown to
// it and stand within their paragraph.
constexpr std::array<std::string_view, 34> block_commands{
    "brief", "short",     "details",    "version",   "author",     "authors",   "attention",
    "bug",   "copyright", "date",       "invariant", "note",       "par",       "post",
    "pre",   "remark",    "remarks",    "result",    "return",     "returns",   "sa",
    "see",   "since",     "todo",       "warning",   "deprecated", "exception", "throws",
    "throw", "section",   "subsection", "param",     "tparam",     "retval"};

bool is_name(std::string_view text) {
    return !text.empty() && is_name_start(text.front()) &&
           std::all_of(text.begin(), text.end(), is_name_char);
}

// ------------------------------------------------------------------------- comments without marks

bool is_documentation(std::string_view comment) {
    // "////" and "/***" are decoration.
    const bool line = comment.rfind("///", 0) == 0 && comment.rfind("////", 0) != 0;
    const bool block =
        comment.rfind("/**", 0) == 0 && comment.rfind("/***", 0) != 0 && comment != "/**/";
    return line || block || comment.rfind("//!", 0) == 0 || comment.rfind("/*!", 0) == 0;
}

bool is_trailing(std::string_view comment) {
    return comment.size() > 3 && comment[3] == '<';
}

/// Block comments carry a column of stars.
std::string without_stars(std::string_view body) {
    std::string out;
    while (!body.empty()) {
        const std::size_t end = std::min(body.find('\n'), body.size());
        std::string_view line = body.substr(0, end);
        const auto first = line.find_first_not_of(" \t");
        if (first != std::string_view::npos && line[first] == '*' && !out.empty()) {
            line.remove_prefix(first + 1);
        }
        out += line;
        out += '\n';
        body.remove_prefix(std::min(end + 1, body.size()));
    }
    return out;
}

std::string without_marks(std::string_view comment) {
    const bool block = comment[1] == '*';
    comment.remove_prefix(is_trailing(comment) ? 4 : 3);
    if (!block) {
        return std::string(comment) + '\n';
    }
    if (comment.size() >= 2 && comment.substr(comment.size() - 2) == "*/") {
        comment.remove_suffix(2);
    }
    return without_stars(comment);
}

// ----------------------------------------------------------------------------------- declarations

/// Follows a source's outermost level: which names a declaration has there, where it ends.
class DeclarationFinder {
  public:
    explicit DeclarationFinder(std::string_view source) : scanner_(source) {}

    std::vector<Declaration> run() {
        for (Token token = scanner_.next(); token.kind != TokenKind::end; token = scanner_.next()) {
            take(token);
        }
        finish_declaration();
        std::vector<Declaration> out;
        for (auto& declaration : done_) {
            if (!declaration.comment.empty()) {
                out.push_back(std::move(declaration));
            }
        }
        return out;
    }

  private:
    void take(const Token& token) {
        switch (token.kind) {
            case TokenKind::comment:
                take_comment(token);
                return;
            case TokenKind::directive:
                pending_.clear();
                return;
            case TokenKind::name:
                take_name(token);
                break;
            case TokenKind::punctuation:
                take_punctuation(token.text[0]);
                break;
            default:
                break;
        }
        first_in_parentheses_ = token.text == "(";
        last_ = token.text[0];
    }

    void take_comment(const Token& token) {
        if (!is_documentation(token.text) || braces_ > 0) {
            return;
        }
        const std::string text = without_marks(token.text);
        if (is_trailing(token.text)) {
            if (!done_.empty()) {
                done_.back().comment += text;
            }
            return;
        }
        if (!pending_.empty() && token.line > pending_line_ + 1) {
            pending_.clear();
        }
        pending_ += text;
        pending_line_ = token.last_line;
    }

    void take_name(const Token& token) {
        begin_declaration();
        if (braces_ == 0 && !in_initializer_ && (parentheses_ == 0 || first_in_parentheses_)) {
            current_.names.emplace(token.text);
        }
    }

    void take_punctuation(char c) {
        switch (c) {
            case '(':
                begin_declaration();
                ++parentheses_;
                break;
            case ')':
                parentheses_ -= parentheses_ > 0 ? 1U : 0U;
                break;
            case '{':
                begin_declaration();
                // Behind ")" stands the body of a function, which ends the declaration.
                body_ = body_ || (braces_ == 0 && last_ == ')' && !in_initializer_);
                ++braces_;
                break;
            case '}':
                braces_ -= braces_ > 0 ? 1U : 0U;
                if (braces_ == 0 && body_) {
                    finish_declaration();
                }
                break;
            case '=':
                in_initializer_ = in_initializer_ || (braces_ == 0 && parentheses_ == 0);
                break;
            case ';':
                if (braces_ == 0) {
                    finish_declaration();
                }
                break;
            default:
                break;
        }
    }

    void begin_declaration() {
        if (!open_) {
            open_ = true;
            current_.comment = std::move(pending_);
            pending_.clear();
        }
    }

    void finish_declaration() {
        if (open_) {
            done_.push_back(std::move(current_));
        }
        current_ = {};
        open_ = body_ = in_initializer_ = false;
        parentheses_ = 0;
    }

    Scanner scanner_;
    std::vector<Declaration> done_;
    Declaration current_;
    bool open_ = false;
    std::string pending_;
    std::size_t pending_line_ = 0;
    std::size_t braces_ = 0;
    std::size_t parentheses_ = 0;
    bool body_ = false;
    bool in_initializer_ = false;
    bool first_in_parentheses_ = false;
    char last_ = '\0';
};

// ----------------------------------------------------------------------------- what a comment says

bool is_block_command(std::string_view name) {
    return std::find(block_commands.begin(), block_commands.end(), name) != block_commands.end();
}

/// Turns a comment's lines into fields, one run of text after the other.
class CommentReader {
  public:
    Json run(std::string_view comment) {
        while (!comment.empty()) {
            const std::size_t end = std::min(comment.find('\n'), comment.size());
            take_line(comment.substr(0, end));
            comment.remove_prefix(std::min(end + 1, comment.size()));
        }
        finish_run();
        return std::move(fields_);
    }

  private:
    void take_line(std::string_view line) {
        if (trim(line).empty()) {
            finish_run();
            return;
        }
        std::size_t start = 0;
        for (std::size_t i = 0; i < line.size(); ++i) {
            if (starts_command(line, i)) {
                add_text(line.substr(start, i - start));
                std::size_t end = i + 1;
                while (end < line.size() && is_name_char(line[end])) {
                    ++end;
                }
                start_command(line.substr(i + 1, end - i - 1));
                start = end;
                i = end - 1;
            }
        }
        add_text(line.substr(start));
    }

    /// "@word" at a word's start anywhere, "\word" only at the start of a line: the text of a
    /// command may be JSON, which has backslashes of its own.
    static bool starts_command(std::string_view line, std::size_t i) {
        if (i + 1 >= line.size() || !is_name_start(line[i + 1])) {
            return false;
        }
        if (line[i] == '@') {
            return i == 0 || std::isspace(static_cast<unsigned char>(line[i - 1])) != 0;
        }
        return line[i] == '\\' && trim(line.substr(0, i)).empty();
    }

    void start_command(std::string_view name) {
        finish_run();
        key_ = name;
    }

    void add_text(std::string_view text) {
        if (!trim(text).empty()) {
            text_ += text;
            text_ += '\n';
        }
    }

    void finish_run() {
        if (!text_.empty()) {
            const std::string text(trim(text_));
            if (is_block_command(key_)) {
                fields_[key_] = text;
            } else {
                fields_[key_] = value_of(text);
            }
        }
        text_.clear();
        key_ = description;
    }

    [[nodiscard]] Json value_of(const std::string& text) const {
        if (key_ != description) {
            Json json = Json::parse(text, nullptr, false);
            if (!json.is_discarded()) {
                return json;
            }
        }
        return one_line(text);
    }

    static std::string one_line(std::string_view text) {
        std::string out;
        while (!text.empty()) {
            const std::size_t end = std::min(text.find('\n'), text.size());
            out += out.empty() ? "" : " ";
            out += trim(text.substr(0, end));
            text.remove_prefix(std::min(end + 1, text.size()));
        }
        return out;
    }

    Json fields_ = Json::object();
    std::string key_{description};
    std::string text_;
};

// ------------------------------------------------------------------------- the structs of a header

/// Finds `struct NAME {`, where attributes may stand before the name.
class StructHeads {
  public:
    explicit StructHeads(std::string_view header) : scanner_(header) { advance(); }

    /// The next name; nothing at the end.
    std::optional<std::string_view> next() {
        while (token_.kind != TokenKind::end) {
            const bool found = token_.text == "struct";
            advance();
            if (!found) {
                continue;
            }
            const std::string_view name = read_name();
            if (!name.empty() && token_.text == "{") {
                return name;
            }
        }
        return std::nullopt;
    }

  private:
    void advance() {
        do {
            token_ = scanner_.next();
        } while (token_.kind == TokenKind::comment);
    }

    /// The last name before what is none: macros of attributes may stand before it.
    std::string_view read_name() {
        std::string_view name;
        while (token_.kind == TokenKind::name && token_.text != "struct") {
            const bool attribute = token_.text == "__attribute__" || token_.text == "__attribute" ||
                                   token_.text == "_Alignas";
            if (!attribute) {
                name = token_.text;
            }
            advance();
            if (attribute) {
                skip_parentheses();
            }
        }
        return name;
    }

    void skip_parentheses() {
        std::size_t depth = 0;
        while (token_.kind != TokenKind::end) {
            if (token_.text == "(") {
                ++depth;
            } else if (token_.text == ")" && depth > 0) {
                --depth;
            }
            if (depth == 0 && token_.text != ")") {
                return;  // no parenthesis at all
            }
            advance();
            if (depth == 0) {
                return;
            }
        }
    }

    Scanner scanner_;
    Token token_;
};

}  // namespace

std::vector<Declaration> documented_declarations(std::string_view source) {
    return DeclarationFinder(source).run();
}

pkg::Json comment_fields(std::string_view comment) {
    return CommentReader().run(comment);
}

pkg::Json fields_of(const std::vector<Declaration>& declarations, const std::string& name) {
    Json out = Json::object();
    for (const auto& declaration : declarations) {
        if (declaration.names.contains(name)) {
            const Json fields = comment_fields(declaration.comment);
            for (const auto& [key, value] : fields.items()) {
                out[key] = value;
            }
        }
    }
    return out;
}

std::vector<std::string> named_events(const std::vector<Declaration>& declarations) {
    std::vector<std::string> out;
    for (const auto& declaration : declarations) {
        const Json fields = comment_fields(declaration.comment);
        const auto event = fields.find("event");
        if (event != fields.end() && event->is_string() && is_name(event->get<std::string>()) &&
            std::find(out.begin(), out.end(), *event) == out.end()) {
            out.push_back(*event);
        }
    }
    return out;
}

std::vector<std::string> defined_structs(std::string_view header) {
    std::vector<std::string> out;
    StructHeads heads(header);
    while (const auto name = heads.next()) {
        if (std::find(out.begin(), out.end(), *name) == out.end()) {
            out.emplace_back(*name);
        }
    }
    return out;
}

}  // namespace rqs::ecc
