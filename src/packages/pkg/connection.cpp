// SPDX-License-Identifier: BSD-2-Clause
#include "pkg/connection.h"

#include <arpa/inet.h>
#include <fmt/format.h>
#include <netdb.h>
#include <netinet/in.h>
#include <openssl/err.h>
#include <openssl/x509v3.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <condition_variable>
#include <cstdlib>
#include <cstring>
#include <mutex>
#include <thread>

#include "util/safe_text.h"

namespace rqs::pkg {
namespace {

using Clock = std::chrono::steady_clock;

struct Lookup {
    std::mutex mutex;
    std::condition_variable done;
    bool finished = false;
    int error = 0;
    std::unique_ptr<addrinfo, util::Deleter<::freeaddrinfo>> addresses;
};

/// The system's own resolver knows no deadline: it works in a thread, which is left behind when it
/// takes too long.
std::shared_ptr<Lookup> look_up(const Url& url, Clock::time_point deadline) {
    auto lookup = std::make_shared<Lookup>();
    std::thread([lookup, host = url.host, port = url.port] {
        addrinfo hints{};
        hints.ai_socktype = SOCK_STREAM;
        addrinfo* found = nullptr;
        const int error = ::getaddrinfo(host.c_str(), port.c_str(), &hints, &found);
        const std::lock_guard lock(lookup->mutex);
        lookup->addresses.reset(error == 0 ? found : nullptr);
        lookup->error = error;
        lookup->finished = true;
        lookup->done.notify_one();
    }).detach();
    std::unique_lock lock(lookup->mutex);
    const bool in_time = lookup->done.wait_until(lock, deadline, [&] { return lookup->finished; });
    return in_time ? lookup : nullptr;
}

bool is_address(const std::string& host) {
    std::array<unsigned char, sizeof(in6_addr)> binary{};
    return ::inet_pton(AF_INET, host.c_str(), binary.data()) == 1 ||
           ::inet_pton(AF_INET6, host.c_str(), binary.data()) == 1;
}

/// Where distributions keep the certificates that they trust. OpenSSL's own default is that of the
/// machine which built this file.
constexpr std::array<const char*, 8> certificate_files{
    "/etc/ssl/certs/ca-certificates.crt",
    "/etc/pki/tls/certs/ca-bundle.crt",
    "/etc/pki/ca-trust/extracted/pem/tls-ca-bundle.pem",
    "/etc/ca-certificates/extracted/tls-ca-bundle.pem",
    "/etc/ssl/ca-bundle.pem",
    "/etc/ssl/cert.pem",
    "/var/lib/ca-certificates/ca-bundle.pem",
    "/usr/local/share/certs/ca-root-nss.crt"};

/// SSL_CERT_FILE and SSL_CERT_DIR count alone where they are set. True if there is a file.
bool trust_the_system(SSL_CTX* context) {
    if (SSL_CTX_set_default_verify_paths(context) != 1) {
        return false;
    }
    if (std::getenv(X509_get_default_cert_file_env()) != nullptr ||
        std::getenv(X509_get_default_cert_dir_env()) != nullptr) {
        return true;
    }
    const bool found =
        std::any_of(certificate_files.begin(), certificate_files.end(), [&](const char* file) {
            return SSL_CTX_load_verify_locations(context, file, nullptr) == 1;
        });
    ERR_clear_error();
    return found || ::access(X509_get_default_cert_file(), R_OK) == 0;
}

}  // namespace

bool Connection::wait(short events) const {
    pollfd descriptor{socket_.get(), events, 0};
    int ready = -1;
    while (ready < 0) {
        const auto left = std::chrono::ceil<std::chrono::milliseconds>(deadline_ - Clock::now());
        ready = left.count() <= 0 ? 0 : ::poll(&descriptor, 1, static_cast<int>(left.count()));
        if (ready < 0 && errno != EINTR) {
            return false;
        }
    }
    if (ready == 0) {
        errno = ETIMEDOUT;
    }
    return ready > 0;
}

// TLS may have to write in order to read (a renegotiation), and the other way round.
bool Connection::retry_tls(int outcome) const {
    switch (SSL_get_error(tls_.get(), outcome)) {
        case SSL_ERROR_WANT_READ:
            return wait(POLLIN);
        case SSL_ERROR_WANT_WRITE:
            return wait(POLLOUT);
        default:
            return false;
    }
}

tl::unexpected<Error> Connection::broken(std::string_view doing) const {
    // 0 and EAGAIN: no call failed, OpenSSL found the end or an error of the protocol.
    const bool ended = errno == 0 || errno == EAGAIN;
    const char* why = errno == ETIMEDOUT ? "it takes too long"
                      : ended            ? "the server ended the connection"
                                         : std::strerror(errno);
    return fail(fmt::format("{}: {}", doing, why));
}

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
    const auto lookup = look_up(url, deadline_);
    if (lookup == nullptr || lookup->error != 0) {
        return fail(
            fmt::format("cannot find host {}: {}", util::printable(url.host),
                        lookup == nullptr ? "it takes too long" : ::gai_strerror(lookup->error)));
    }
    for (const addrinfo* address = lookup->addresses.get(); address != nullptr;
         address = address->ai_next) {
        // Non-blocking, because connect() and TLS take no deadline: poll() does.
        socket_.reset(::socket(address->ai_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
        if (!socket_.valid()) {
            continue;
        }
        if (::connect(socket_.get(), address->ai_addr, address->ai_addrlen) != 0) {
            if (errno != EINPROGRESS || !wait(POLLOUT)) {
                continue;
            }
        }
        // Room to write means that connecting has ended, well or not.
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

Status Connection::prepare_tls(const std::string& host) {
    context_.reset(SSL_CTX_new(TLS_client_method()));
    if (context_ == nullptr) {
        return fail("TLS could not be started");
    }
    has_certificates_ = trust_the_system(context_.get());
    SSL_CTX_set_verify(context_.get(), SSL_VERIFY_PEER, nullptr);
    // RFC 8996 deprecates what is older.
    SSL_CTX_set_min_proto_version(context_.get(), TLS1_2_VERSION);
    tls_.reset(SSL_new(context_.get()));
    if (tls_ == nullptr || SSL_set_fd(tls_.get(), socket_.get()) != 1) {
        return fail("TLS could not be started");
    }
    // A certificate names hosts and addresses in different places; addresses are never asked for.
    const bool expected =
        is_address(host)
            ? X509_VERIFY_PARAM_set1_ip_asc(SSL_get0_param(tls_.get()), host.c_str()) == 1
            : SSL_set1_host(tls_.get(), host.c_str()) == 1 &&
                  SSL_set_tlsext_host_name(tls_.get(), host.c_str()) == 1;
    return expected ? Status{} : fail("TLS could not be started");
}

Status Connection::start_tls(const std::string& host) {
    if (auto status = prepare_tls(host); !status) {
        return status;
    }
    for (;;) {
        ERR_clear_error();
        const int outcome = SSL_connect(tls_.get());
        if (outcome == 1) {
            return {};
        }
        if (!retry_tls(outcome)) {
            return fail(
                fmt::format("no secure connection to {}: {}", util::printable(host), why_no_tls()));
        }
    }
}

std::string Connection::why_no_tls() const {
    const long verdict = SSL_get_verify_result(tls_.get());
    if (verdict != X509_V_OK && !has_certificates_) {
        return "this machine has no certificates to trust: install ca-certificates or set "
               "SSL_CERT_FILE";
    }
    if (verdict != X509_V_OK) {
        return X509_verify_cert_error_string(verdict);
    }
    return Clock::now() >= deadline_ ? "it takes too long" : "handshake failed";
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
            errno = 0;  // OpenSSL sets it for errors of the socket alone
            const int outcome = SSL_read_ex(tls_.get(), chunk.data(), chunk.size(), &size);
            if (outcome == 1) {
                return std::string(chunk.data(), size);
            }
            // A proper end. One without close_notify is an error: somebody may have cut the answer.
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

}  // namespace rqs::pkg
