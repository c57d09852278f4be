// SPDX-License-Identifier: BSD-2-Clause
#include "pkg/http.h"

#include <fmt/format.h>
#include <netdb.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>
#include <poll.h>
#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <cctype>
#include <cerrno>
#include <charconv>
#include <chrono>
#include <cstring>
#include <memory>

#include "bpfkit/handles.h"
#include "util/safe_text.h"

namespace rqs::pkg {
namespace {

using Clock = std::chrono::steady_clock;

constexpr int most_redirects = 5;
constexpr auto time_limit = std::chrono::seconds(30);
constexpr std::size_t header_bytes = std::size_t{64} << 10;

std::string lower(std::string_view text) {
    std::string out(text);
    std::transform(out.begin(), out.end(), out.begin(),
                   [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
    return out;
}

std::string_view trim(std::string_view text) {
    const auto first = text.find_first_not_of(" \t");
    if (first == std::string_view::npos) {
        return {};
    }
    return text.substr(first, text.find_last_not_of(" \t") - first + 1);
}

/// The value of a header field, or nothing. `head` starts with the status line.
std::string_view header(std::string_view head, std::string_view name) {
    for (std::size_t line = head.find("\r\n"); line != std::string_view::npos;) {
        const std::size_t start = line + 2;
        line = head.find("\r\n", start);
        const std::string_view text = head.substr(start, line - start);
        const auto colon = text.find(':');
        if (colon != std::string_view::npos && lower(text.substr(0, colon)) == name) {
            return trim(text.substr(colon + 1));
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

/// A connection, with or without TLS. Every wait ends at the deadline.
class Connection {
  public:
    static Result<std::unique_ptr<Connection>> open(const Url& url, Clock::time_point deadline);

    Status send(std::string_view text);

    /// What has come: empty at the end.
    Result<std::string> receive();

  private:
    explicit Connection(Clock::time_point deadline) : deadline_(deadline) {}

    Status connect(const Url& url);
    Status start_tls(const std::string& host);

    /// Waits for `events`; false at the deadline.
    [[nodiscard]] bool wait(short events) const {
        const auto left =
            std::chrono::duration_cast<std::chrono::milliseconds>(deadline_ - Clock::now());
        pollfd descriptor{socket_.get(), events, 0};
        int ready = 0;
        do {
            ready = left.count() <= 0 ? 0 : ::poll(&descriptor, 1, static_cast<int>(left.count()));
        } while (ready < 0 && errno == EINTR && Clock::now() < deadline_);
        return ready > 0;
    }

    /// After a TLS call returned `outcome`: true if it may be tried again.
    [[nodiscard]] bool retry_tls(int outcome) const {
        switch (SSL_get_error(tls_.get(), outcome)) {
            case SSL_ERROR_WANT_READ:
                return wait(POLLIN);
            case SSL_ERROR_WANT_WRITE:
                return wait(POLLOUT);
            default:
                return false;
        }
    }

    [[nodiscard]] tl::unexpected<Error> broken(std::string_view doing) const {
        const char* why = Clock::now() >= deadline_ ? "it takes too long"
                          : errno == 0              ? "the server ended the connection"
                                                    : std::strerror(errno);
        return fail(fmt::format("{}: {}", doing, why));
    }

    Clock::time_point deadline_;
    bpfkit::Fd socket_;
    std::unique_ptr<SSL_CTX, bpfkit::Deleter<SSL_CTX_free>> context_;
    std::unique_ptr<SSL, bpfkit::Deleter<SSL_free>> tls_;
};

Result<std::unique_ptr<Connection>> Connection::open(const Url& url, Clock::time_point deadline) {
    std::unique_ptr<Connection> connection(new Connection(deadline));
    auto status = connection->connect(url);
    if (status && url.tls) {
        status = connection->start_tls(url.host);
    }
    if (!status) {
        return tl::unexpected(status.error());
    }
    return connection;
}

Status Connection::connect(const Url& url) {
    addrinfo hints{};
    hints.ai_socktype = SOCK_STREAM;
    addrinfo* found = nullptr;
    const int error = ::getaddrinfo(url.host.c_str(), url.port.c_str(), &hints, &found);
    if (error != 0) {
        return fail(fmt::format("cannot find host {}: {}", util::printable(url.host),
                                ::gai_strerror(error)));
    }
    const std::unique_ptr<addrinfo, bpfkit::Deleter<::freeaddrinfo>> addresses(found);
    for (const addrinfo* address = found; address != nullptr; address = address->ai_next) {
        socket_.reset(::socket(address->ai_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
        if (!socket_.valid()) {
            continue;
        }
        if (::connect(socket_.get(), address->ai_addr, address->ai_addrlen) != 0) {
            if (errno != EINPROGRESS || !wait(POLLOUT)) {
                continue;
            }
        }
        int outcome = 0;
        socklen_t size = sizeof(outcome);
        ::getsockopt(socket_.get(), SOL_SOCKET, SO_ERROR, &outcome, &size);
        errno = outcome;
        if (outcome == 0) {
            return {};
        }
    }
    return broken(fmt::format("cannot connect to {}", util::printable(url.host)));
}

Status Connection::start_tls(const std::string& host) {
    context_.reset(SSL_CTX_new(TLS_client_method()));
    if (context_ == nullptr || SSL_CTX_set_default_verify_paths(context_.get()) != 1) {
        return fail("TLS could not be started");
    }
    SSL_CTX_set_verify(context_.get(), SSL_VERIFY_PEER, nullptr);
    SSL_CTX_set_min_proto_version(context_.get(), TLS1_2_VERSION);
    tls_.reset(SSL_new(context_.get()));
    if (tls_ == nullptr || SSL_set1_host(tls_.get(), host.c_str()) != 1 ||
        SSL_set_tlsext_host_name(tls_.get(), host.c_str()) != 1 ||
        SSL_set_fd(tls_.get(), socket_.get()) != 1) {
        return fail("TLS could not be started");
    }
    for (;;) {
        const int outcome = SSL_connect(tls_.get());
        if (outcome == 1) {
            return {};
        }
        if (!retry_tls(outcome)) {
            const long verdict = SSL_get_verify_result(tls_.get());
            return fail(fmt::format("no secure connection to {}: {}", util::printable(host),
                                    verdict != X509_V_OK ? X509_verify_cert_error_string(verdict)
                                                         : "handshake failed"));
        }
    }
}

Status Connection::send(std::string_view text) {
    while (!text.empty()) {
        std::size_t sent = 0;
        if (tls_ != nullptr) {
            errno = 0;
            const int outcome = SSL_write_ex(tls_.get(), text.data(), text.size(), &sent);
            if (outcome != 1 && !retry_tls(outcome)) {
                return broken("sending the request failed");
            }
        } else {
            const ssize_t size = ::send(socket_.get(), text.data(), text.size(), MSG_NOSIGNAL);
            if (size < 0 && errno != EINTR && (errno != EAGAIN || !wait(POLLOUT))) {
                return broken("sending the request failed");
            }
            sent = static_cast<std::size_t>(std::max<ssize_t>(size, 0));
        }
        text.remove_prefix(sent);
    }
    return {};
}

Result<std::string> Connection::receive() {
    std::array<char, 16384> chunk{};
    for (;;) {
        if (tls_ != nullptr) {
            std::size_t size = 0;
            errno = 0;  // TLS has errors of its own
            const int outcome = SSL_read_ex(tls_.get(), chunk.data(), chunk.size(), &size);
            if (outcome == 1) {
                return std::string(chunk.data(), size);
            }
            if (SSL_get_error(tls_.get(), outcome) == SSL_ERROR_ZERO_RETURN) {
                return std::string();
            }
            if (!retry_tls(outcome)) {
                return broken("reading the answer failed");
            }
            continue;
        }
        const ssize_t size = ::recv(socket_.get(), chunk.data(), chunk.size(), 0);
        if (size >= 0) {
            return std::string(chunk.data(), static_cast<std::size_t>(size));
        }
        if (errno != EINTR && (errno != EAGAIN || !wait(POLLIN))) {
            return broken("reading the answer failed");
        }
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
            return fail("the server's answer is too large for a package");
        }
    }
}

Result<std::string> resolve(const Url& base, const std::string& location) {
    if (is_url(location)) {
        return location;
    }
    if (location.empty() || location[0] != '/') {
        return fail("the server redirects to a place that is no URL");
    }
    return fmt::format("{}://{}{}", base.tls ? "https" : "http", authority_of(base), location);
}

}  // namespace

bool is_url(std::string_view text) {
    return text.rfind("http://", 0) == 0 || text.rfind("https://", 0) == 0;
}

Result<Url> parse_url(std::string_view text) {
    Url url;
    url.tls = text.rfind("https://", 0) == 0;
    std::string_view rest = text.substr(url.tls ? 8 : 7);
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

Result<std::string> parse_response(std::string_view response, std::string& redirect) {
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
        return fail(fmt::format("the server answers {}",
                                util::printable(trim(head.substr(9, head.find("\r\n") - 9)))));
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

Result<std::string> http_get(const std::string& url, std::size_t most_bytes) {
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
        if (redirect.empty()) {
            return body;
        }
        auto next = resolve(*parts, redirect);
        if (!next) {
            return next;
        }
        if (parts->tls && next->rfind("https://", 0) != 0) {
            return fail("the server redirects from https to http, which is not followed");
        }
        current = std::move(*next);
    }
    return fail(fmt::format("cannot fetch {}: too many redirects", util::printable(url)));
}

}  // namespace rqs::pkg
