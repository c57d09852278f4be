// SPDX-License-Identifier: BSD-2-Clause
#include "pkg/http.h"

#include <fmt/format.h>

#include <algorithm>
#include <cctype>
#include <charconv>
#include <chrono>

#include "pkg/connection.h"
#include "util/safe_text.h"
#include "util/text.h"

namespace rqs::pkg {
namespace {

using Clock = std::chrono::steady_clock;

constexpr int most_redirects = 5;
constexpr std::string_view too_large = "the server's answer is too large for a package";
constexpr std::string_view optional_whitespace = " \t";  // RFC 9110, 5.6.3: no other blanks
constexpr std::size_t header_bytes = std::size_t{64} << 10;

std::string lower(std::string_view text) {
    std::string out(text);
    std::transform(out.begin(), out.end(), out.begin(),
                   [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
    return out;
}

/// The value of a header field, or nothing. `head` starts with the status line.
std::string_view header(std::string_view head, std::string_view name) {
    for (std::size_t line = head.find("\r\n"); line != std::string_view::npos;) {
        const std::size_t start = line + 2;
        line = head.find("\r\n", start);
        const std::string_view text = head.substr(start, line - start);
        const auto colon = text.find(':');
        if (colon != std::string_view::npos && lower(text.substr(0, colon)) == name) {
            return util::trim(text.substr(colon + 1), optional_whitespace);
        }
    }
    return {};
}

Result<std::string> dechunk(std::string_view body) {
    std::string out;
    for (;;) {
        std::size_t size = 0;
        const auto [end, error] = std::from_chars(body.data(), body.data() + body.size(), size, 16);
        const auto line = body.find("\r\n");
        if (error != std::errc{} || line == std::string_view::npos) {
            return fail("the server's answer is cut short");
        }
        body.remove_prefix(line + 2);
        if (size == 0) {
            return out;
        }
        if (size > body.size() || body.size() - size < 2) {
            return fail("the server's answer is cut short");
        }
        out.append(body.substr(0, size));
        body.remove_prefix(size + 2);
    }
}

/// The host, in brackets if it is an IPv6 address, and the port unless it is the usual one.
std::string authority_of(const Url& url) {
    const bool bare = url.host.find(':') != std::string::npos;
    std::string out = bare ? "[" + url.host + "]" : url.host;
    return url.port == (url.tls ? "443" : "80") ? out : out + ":" + url.port;
}

/// Whether a response says where it ends and has come that far.
bool is_complete(std::string_view response) {
    const auto end = response.find("\r\n\r\n");
    if (end == std::string_view::npos) {
        return false;
    }
    const std::string_view head = response.substr(0, end);
    const std::string_view body = response.substr(end + 4);
    if (lower(header(head, "transfer-encoding")) == "chunked") {
        return body.size() >= 5 && body.substr(body.size() - 5) == "0\r\n\r\n" && dechunk(body);
    }
    const std::string_view length = header(head, "content-length");
    std::size_t expected = 0;
    const auto [last, error] =
        std::from_chars(length.data(), length.data() + length.size(), expected);
    return !length.empty() && error == std::errc{} && last == length.data() + length.size() &&
           body.size() >= expected;
}

Result<std::string> exchange(const Url& url, std::size_t most_bytes, Clock::time_point deadline) {
    auto connection = Connection::open(url, deadline);
    if (!connection) {
        return tl::unexpected(connection.error());
    }
    const std::string request = fmt::format(
        "GET {} HTTP/1.1\r\nHost: {}\r\nUser-Agent: ecli\r\nAccept: */*\r\n"
        "Accept-Encoding: identity\r\nConnection: close\r\n\r\n",
        url.path, authority_of(url));
    if (const auto status = (*connection)->send(request); !status) {
        return tl::unexpected(status.error());
    }
    std::string response;
    for (;;) {
        auto more = (*connection)->receive();
        if (!more) {
            return more;
        }
        if (more->empty()) {
            return response;
        }
        response += *more;
        if (is_complete(response)) {
            return response;
        }
        if (response.size() > most_bytes + most_bytes / 8 + header_bytes) {
            return fail(std::string(too_large));
        }
    }
}

/// The length of "http://" or "https://" at the start of `text`, in whatever case; 0 without.
std::size_t scheme_length(std::string_view text) {
    for (const std::string_view scheme : {"http://", "https://"}) {
        if (lower(text.substr(0, scheme.size())) == scheme) {
            return scheme.size();
        }
    }
    return 0;
}

/// Whether `text` starts with a scheme such as "ftp:".
bool has_scheme(std::string_view text) {
    const auto end = text.find_first_of(":/?#");
    return end != std::string_view::npos && end > 0 && text[end] == ':' &&
           std::all_of(text.begin(), text.begin() + static_cast<std::ptrdiff_t>(end),
                       [](unsigned char c) {
                           return std::isalnum(c) != 0 || c == '+' || c == '-' || c == '.';
                       });
}

/// Path `relative` seen from `base`; RFC 3986, 5.2.3. Dots in it are left to the server.
std::string merge_paths(std::string_view base, std::string_view relative) {
    const std::string_view path = base.substr(0, base.find('?'));
    if (!relative.empty() && relative[0] == '?') {
        return std::string(path).append(relative);
    }
    return std::string(path.substr(0, path.rfind('/') + 1)).append(relative);
}

/// Where a redirect from `base` leads: RFC 3986, 5.2.2.
Result<std::string> resolve(const Url& base, const std::string& location) {
    const std::string scheme = base.tls ? "https:" : "http:";
    if (is_url(location)) {
        return location;
    }
    if (location.rfind("//", 0) == 0) {
        return scheme + location;
    }
    if (has_scheme(location)) {
        return fail(fmt::format("the server redirects to {}, which is no http(s) URL",
                                util::printable(location)));
    }
    return fmt::format("{}//{}{}", scheme, authority_of(base),
                       location[0] == '/' ? location : merge_paths(base.path, location));
}

bool is_tls(std::string_view url) {
    return scheme_length(url) == std::string_view("https://").size();
}

}  // namespace

bool is_url(std::string_view text) {
    return scheme_length(text) != 0;
}

Result<Url> parse_url(std::string_view text) {
    Url url;
    url.tls = is_tls(text);
    std::string_view rest = text.substr(scheme_length(text));
    rest = rest.substr(0, rest.find('#'));
    const auto slash = rest.find_first_of("/?");
    std::string_view authority = rest.substr(0, slash);
    url.path = slash == std::string_view::npos ? "/" : std::string(rest.substr(slash));
    if (url.path[0] == '?') {
        url.path.insert(0, "/");
    }
    const bool bracketed = !authority.empty() && authority[0] == '[';
    const auto host_end = bracketed ? authority.find(']') : authority.rfind(':');
    if (bracketed && host_end != std::string_view::npos) {
        url.host = authority.substr(1, host_end - 1);
        authority.remove_prefix(host_end + 1);
    } else {
        url.host = authority.substr(0, host_end);
        authority.remove_prefix(host_end == std::string_view::npos ? authority.size() : host_end);
    }
    url.port = authority.empty() ? (url.tls ? "443" : "80") : std::string(authority.substr(1));
    const auto harmful = [](unsigned char c) { return c <= ' ' || c >= 0x7f || c == '@'; };
    const bool digits =
        !url.port.empty() && std::all_of(url.port.begin(), url.port.end(),
                                         [](unsigned char c) { return std::isdigit(c) != 0; });
    const bool bad_path = std::any_of(url.path.begin(), url.path.end(),
                                      [](unsigned char c) { return c <= ' ' || c >= 0x7f; });
    if (url.host.empty() || !digits || bad_path ||
        std::any_of(url.host.begin(), url.host.end(), harmful)) {
        return fail(fmt::format("\"{}\" is not a URL that can be fetched", util::printable(text)));
    }
    return url;
}

// What a server may say before it answers (100 Continue, 103 Early Hints) has no body.
std::string_view without_interim(std::string_view response) {
    while (response.rfind("HTTP/1.", 0) == 0 && response.size() > 9 && response[9] == '1' &&
           response.find("\r\n\r\n") != std::string_view::npos) {
        response.remove_prefix(response.find("\r\n\r\n") + 4);
    }
    return response;
}

Result<std::string> parse_response(std::string_view response, std::string& redirect) {
    response = without_interim(response);
    const auto end = response.find("\r\n\r\n");
    if (response.rfind("HTTP/1.", 0) != 0 || response.size() < 12 ||
        end == std::string_view::npos) {
        return fail("the server's answer is not HTTP");
    }
    const std::string_view head = response.substr(0, end);
    const std::string_view body = response.substr(end + 4);
    const std::string_view code = head.substr(9, 3);
    if (code[0] == '3' && !header(head, "location").empty()) {
        redirect = std::string(header(head, "location"));
        return std::string();
    }
    if (code != "200") {
        return fail(fmt::format("the server answers {}", util::printable(util::trim(head.substr(
                                                             9, head.find("\r\n") - 9)))));
    }
    const std::string encoding = lower(header(head, "content-encoding"));
    if (!encoding.empty() && encoding != "identity") {
        return fail(fmt::format("the server compresses its answer ({}) though it was not asked to",
                                util::printable(encoding)));
    }
    if (lower(header(head, "transfer-encoding")) == "chunked") {
        return dechunk(body);
    }
    const std::string_view length = header(head, "content-length");
    if (!length.empty()) {
        std::size_t expected = 0;
        const auto [last, error] =
            std::from_chars(length.data(), length.data() + length.size(), expected);
        if (error != std::errc{} || last != length.data() + length.size() ||
            body.size() < expected) {
            return fail("the server's answer is cut short");
        }
        return std::string(body.substr(0, expected));
    }
    return std::string(body);
}

Result<std::string> http_get(const std::string& url, std::size_t most_bytes,
                             std::chrono::milliseconds time_limit) {
    const auto deadline = Clock::now() + time_limit;
    std::string current = url;
    for (int hop = 0; hop <= most_redirects; ++hop) {
        const auto parts = parse_url(current);
        if (!parts) {
            return tl::unexpected(parts.error());
        }
        const auto response = exchange(*parts, most_bytes, deadline);
        if (!response) {
            return fail(fmt::format("cannot fetch {}: {}", util::printable(current),
                                    response.error().message));
        }
        std::string redirect;
        auto body = parse_response(*response, redirect);
        if (!body) {
            return fail(
                fmt::format("cannot fetch {}: {}", util::printable(current), body.error().message));
        }
        if (redirect.empty() && body->size() > most_bytes) {
            return fail(fmt::format("cannot fetch {}: {}", util::printable(current), too_large));
        }
        if (redirect.empty()) {
            return body;
        }
        auto next = resolve(*parts, redirect);
        if (next && parts->tls && !is_tls(*next)) {
            next = fail("the server redirects from https to http, which is not followed");
        }
        if (!next) {
            return fail(
                fmt::format("cannot fetch {}: {}", util::printable(current), next.error().message));
        }
        current = std::move(*next);
    }
    return fail(fmt::format("cannot fetch {}: too many redirects", util::printable(url)));
}

}  // namespace rqs::pkg
