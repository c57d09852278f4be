// SPDX-License-Identifier: BSD-2-Clause
// C source as a row of tokens, without a preprocessor.
#pragma once

#include <algorithm>
#include <cctype>
#include <cstddef>
#include <string_view>

namespace rqs::ecc {

inline bool is_name_start(char c) {
    return std::isalpha(static_cast<unsigned char>(c)) != 0 || c == '_';
}

inline bool is_name_char(char c) {
    return std::isalnum(static_cast<unsigned char>(c)) != 0 || c == '_';
}

enum class TokenKind { name, punctuation, literal, comment, directive, end };

struct Token {
    TokenKind kind = TokenKind::end;
    std::string_view text;
    std::size_t line = 0;       ///< where it starts
    std::size_t last_line = 0;  ///< where it ends
};

class Scanner {
  public:
    explicit Scanner(std::string_view source) : source_(source) {}

    Token next() {
        skip_space();
        if (at_ == source_.size()) {
            return {TokenKind::end, {}, line_, line_};
        }
        const std::size_t start = at_;
        const std::size_t start_line = line_;
        const TokenKind kind = scan();
        fresh_line_ = false;
        const std::string_view text = source_.substr(start, at_ - start);
        line_ += static_cast<std::size_t>(std::count(text.begin(), text.end(), '\n'));
        return {kind, text, start_line, line_};
    }

  private:
    [[nodiscard]] char peek(std::size_t ahead = 0) const {
        return at_ + ahead < source_.size() ? source_[at_ + ahead] : '\0';
    }

    void skip_space() {
        while (at_ < source_.size() && (std::isspace(static_cast<unsigned char>(peek())) != 0)) {
            fresh_line_ = fresh_line_ || peek() == '\n';
            line_ += peek() == '\n' ? 1U : 0U;
            ++at_;
        }
    }

    TokenKind scan() {
        if (peek() == '#' && fresh_line_) {
            scan_directive();
            return TokenKind::directive;
        }
        if (peek() == '/' && peek(1) == '/') {
            at_ = std::min(source_.find('\n', at_), source_.size());
            return TokenKind::comment;
        }
        if (peek() == '/' && peek(1) == '*') {
            const auto end = source_.find("*/", at_ + 2);
            at_ = end == std::string_view::npos ? source_.size() : end + 2;
            return TokenKind::comment;
        }
        if (peek() == '"' || peek() == '\'') {
            scan_literal();
            return TokenKind::literal;
        }
        if (is_name_start(peek())) {
            while (is_name_char(peek())) {
                ++at_;
            }
            return TokenKind::name;
        }
        ++at_;
        return TokenKind::punctuation;
    }

    void scan_directive() {
        while (at_ < source_.size() && peek() != '\n') {
            at_ += peek() == '\\' && at_ + 1 < source_.size() ? 2U : 1U;
        }
    }

    void scan_literal() {
        const char quote = peek();
        for (++at_; at_ < source_.size() && peek() != quote && peek() != '\n'; ++at_) {
            at_ += peek() == '\\' && at_ + 1 < source_.size() ? 1U : 0U;
        }
        at_ = std::min(at_ + 1, source_.size());
    }

    std::string_view source_;
    std::size_t at_ = 0;
    std::size_t line_ = 1;
    bool fresh_line_ = true;
};

}  // namespace rqs::ecc
