// SPDX-License-Identifier: BSD-2-Clause
#include "sinks/line.h"

#include <algorithm>

#include "sinks/columns.h"
#include "util/safe_text.h"

namespace rqs::sinks {
namespace {

constexpr std::array<bool, 256> plain_except(std::string_view excluded) {
    std::array<bool, 256> allowed{};
    for (std::size_t byte = 0x20; byte < 0x7f; ++byte) {
        allowed.at(byte) = excluded.find(static_cast<char>(byte)) == std::string_view::npos;
    }
    return allowed;
}

constexpr auto plain_text = plain_except("");
constexpr auto plain_json = plain_except("\"\\");
constexpr auto plain_csv = plain_except("\", ");

}  // namespace

void Line::spill(std::string_view text) {
    finish();
    if (text.size() > capacity) {
        out_.append(text);
    } else {
        std::memcpy(buffer_.data(), text.data(), text.size());
        used_ = text.size();
    }
}

void Line::spaces(std::size_t count) {
    static constexpr std::string_view blank = "                                ";
    while (count > 0) {
        const std::size_t piece = std::min(count, blank.size());
        text(blank.substr(0, piece));
        count -= piece;
    }
}

void Line::number_left(std::uint64_t value, std::size_t width) {
    need(max_digits);
    const std::size_t start = used_;
    number(value);
    const std::size_t digits = used_ - start;
    spaces(width > digits ? width - digits : 0);
}

void Line::number_right(std::uint64_t value, std::size_t width) {
    const fmt::format_int digits(value);
    text_right({digits.data(), digits.size()}, width);
}

void Line::text_left(std::string_view text_, std::size_t width) {
    text(text_);
    spaces(width > text_.size() ? width - text_.size() : 0);
}

void Line::text_right(std::string_view text_, std::size_t width) {
    spaces(width > text_.size() ? width - text_.size() : 0);
    text(text_);
}

void Line::micros(std::uint32_t micros) {
    std::array<char, 6> digits;
    for (std::size_t i = digits.size(); i-- > 0; micros /= 10) {
        digits.at(i) = static_cast<char>('0' + micros % 10);
    }
    text({digits.data(), digits.size()});
}

bool Line::copy_plain(const Comm& comm, const std::array<bool, 256>& allowed) {
    need(comm.bytes.size());
    char* const at = buffer_.data() + used_;
    std::size_t length = 0;
    for (const char c : comm.bytes) {
        if (c == '\0') {
            break;
        }
        if (!allowed[static_cast<unsigned char>(c)]) {
            return false;
        }
        at[length++] = c;
    }
    used_ += length;
    return true;
}

std::size_t Line::printable(const Comm& comm) {
    need(comm.bytes.size());
    const std::size_t start = used_;
    if (copy_plain(comm, plain_text)) {
        return used_ - start;
    }
    finish();
    const std::size_t before = out_.size();
    util::append_printable(out_, comm.view());
    return display_columns(std::string_view(out_).substr(before));
}

void Line::printable_left(const Comm& comm, std::size_t width) {
    const std::size_t columns = printable(comm);
    spaces(width > columns ? width - columns : 0);
}

void Line::json_string(const Comm& comm) {
    need(comm.bytes.size() + 2);
    const std::size_t start = used_;
    text("\"");
    if (copy_plain(comm, plain_json)) {
        text("\"");
        return;
    }
    used_ = start;
    finish();
    util::append_json_string(out_, comm.view());
}

void Line::json_string(std::string_view raw) {
    const bool plain = std::all_of(
        raw.begin(), raw.end(), [](char c) { return plain_json[static_cast<unsigned char>(c)]; });
    if (!plain) {
        finish();
        util::append_json_string(out_, raw);
        return;
    }
    text("\"");
    text(raw);
    text("\"");
}

void Line::csv_field(const Comm& comm) {
    if (!copy_plain(comm, plain_csv)) {
        finish();
        util::append_csv_field(out_, comm.view());
    }
}

}  // namespace rqs::sinks
