// SPDX-License-Identifier: BSD-2-Clause
// Fetching over TLS, from a server of our own with a certificate of our own.
#include <arpa/inet.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <thread>

#include "pkg/http.h"
#include "pkg/loopback_server.h"
#include "util/deleter.h"
#include "util/fd.h"

namespace rqs::pkg {
namespace {

using util::Deleter;
using KeyPtr = std::unique_ptr<EVP_PKEY, Deleter<EVP_PKEY_free>>;
using CertificatePtr = std::unique_ptr<X509, Deleter<X509_free>>;
using ContextPtr = std::unique_ptr<SSL_CTX, Deleter<SSL_CTX_free>>;
using TlsPtr = std::unique_ptr<SSL, Deleter<SSL_free>>;

/// Signs itself, for `names` such as "IP:127.0.0.1"; valid for an hour from now.
CertificatePtr make_certificate(EVP_PKEY* key, const char* names) {
    CertificatePtr certificate(X509_new());
    X509_set_version(certificate.get(), 2);
    ASN1_INTEGER_set(X509_get_serialNumber(certificate.get()), 1);
    X509_gmtime_adj(X509_getm_notBefore(certificate.get()), -60);
    X509_gmtime_adj(X509_getm_notAfter(certificate.get()), 3600);
    X509_set_pubkey(certificate.get(), key);
    X509_NAME* name = X509_get_subject_name(certificate.get());
    const std::string common = "test";
    X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_ASC,
                               reinterpret_cast<const unsigned char*>(common.c_str()), -1, -1, 0);
    X509_set_issuer_name(certificate.get(), name);
    X509_EXTENSION* alternative =
        X509V3_EXT_conf_nid(nullptr, nullptr, NID_subject_alt_name, names);
    X509_add_ext(certificate.get(), alternative, -1);
    X509_EXTENSION_free(alternative);
    X509_sign(certificate.get(), key, EVP_sha256());
    return certificate;
}

/// What a server does with one connection.
struct Answer {
    std::string text;
    bool says_goodbye = true;  ///< ends the TLS session before the connection
};

/// Answers connections on a port of its own, each with the next of its answers.
class TlsServer {
  public:
    TlsServer(const char* names, std::vector<Answer> answers)
        : key_(EVP_EC_gen("P-256")),
          certificate_(make_certificate(key_.get(), names)),
          context_(SSL_CTX_new(TLS_server_method())),
          socket_(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)),
          path_(std::filesystem::temp_directory_path() /
                ("https-test-" + std::to_string(::getpid()) + ".pem")) {
        SSL_CTX_use_certificate(context_.get(), certificate_.get());
        SSL_CTX_use_PrivateKey(context_.get(), key_.get());
        std::FILE* file = std::fopen(path_.c_str(), "w");
        PEM_write_X509(file, certificate_.get());
        std::fclose(file);
        port_ = listen_on_loopback(socket_.get());
        thread_ = std::thread([this, answers = std::move(answers)] { serve(answers); });
    }
    TlsServer(const TlsServer&) = delete;
    TlsServer& operator=(const TlsServer&) = delete;
    ~TlsServer() {
        ::shutdown(socket_.get(), SHUT_RDWR);
        thread_.join();
        std::filesystem::remove(path_);
    }

    [[nodiscard]] std::string url(const std::string& path) const {
        return "https://127.0.0.1:" + std::to_string(port_) + path;
    }
    [[nodiscard]] const std::string& certificate_file() const { return path_; }

  private:
    void serve(const std::vector<Answer>& answers) const {
        for (const auto& answer : answers) {
            const util::Fd peer(::accept(socket_.get(), nullptr, nullptr));
            if (!peer.valid()) {
                return;
            }
            const TlsPtr tls(SSL_new(context_.get()));
            SSL_set_fd(tls.get(), peer.get());
            if (SSL_accept(tls.get()) == 1) {
                talk(tls.get(), answer);
            }
        }
    }

    static void talk(SSL* tls, const Answer& answer) {
        std::string request;
        std::array<char, 1024> chunk{};
        while (request.find("\r\n\r\n") == std::string::npos) {
            const int size = SSL_read(tls, chunk.data(), static_cast<int>(chunk.size()));
            if (size <= 0) {
                return;
            }
            request.append(chunk.data(), static_cast<std::size_t>(size));
        }
        (void)SSL_write(tls, answer.text.data(), static_cast<int>(answer.text.size()));
        if (answer.says_goodbye) {
            (void)SSL_shutdown(tls);
        }
    }

    KeyPtr key_;
    CertificatePtr certificate_;
    ContextPtr context_;
    util::Fd socket_;
    std::string path_;
    std::uint16_t port_ = 0;
    std::thread thread_;
};

class Https : public ::testing::Test {
  protected:
    void SetUp() override { (void)std::signal(SIGPIPE, SIG_IGN); }
    void TearDown() override { ::unsetenv("SSL_CERT_FILE"); }

    static Result<std::string> get(const TlsServer& server) {
        return http_get(server.url("/package.json"), 1000, std::chrono::seconds(20));
    }
    static void trust(const TlsServer& server) {
        ::setenv("SSL_CERT_FILE", server.certificate_file().c_str(), 1);
    }
};

TEST_F(Https, FetchesFromAServerThatItTrusts) {
    const TlsServer server("IP:127.0.0.1", {{"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello"},
                                            {"HTTP/1.1 200 OK\r\n\r\nto the end"}});
    trust(server);
    for (const char* expected : {"hello", "to the end"}) {
        const auto body = get(server);
        ASSERT_TRUE(body) << body.error().message;
        EXPECT_EQ(*body, expected);
    }
}

TEST_F(Https, RefusesACertificateOfItsOwnMaking) {
    const TlsServer server("IP:127.0.0.1", {{"HTTP/1.1 200 OK\r\n\r\nevil"}});
    const auto body = get(server);
    ASSERT_FALSE(body);
    EXPECT_NE(body.error().message.find("no secure connection to 127.0.0.1: "), std::string::npos);
    EXPECT_NE(body.error().message.find("certificate"), std::string::npos) << body.error().message;
}

TEST_F(Https, RefusesACertificateForSomebodyElse) {
    const TlsServer server("DNS:example.org,IP:127.0.0.2", {{"HTTP/1.1 200 OK\r\n\r\nevil"}});
    trust(server);
    const auto body = get(server);
    ASSERT_FALSE(body);
    EXPECT_NE(body.error().message.find("mismatch"), std::string::npos) << body.error().message;
}

TEST_F(Https, NoticesADownloadThatWasCut) {
    const TlsServer server("IP:127.0.0.1", {{"HTTP/1.1 200 OK\r\n\r\nonly a pa", false}});
    trust(server);
    const auto body = get(server);
    ASSERT_FALSE(body) << *body;
    EXPECT_NE(body.error().message.find("the server ended the connection"), std::string::npos)
        << body.error().message;
}

TEST_F(Https, NeverLeadsToPlainHttp) {
    const TlsServer server("IP:127.0.0.1",
                           {{"HTTP/1.1 302 Found\r\nLocation: HTTP://127.0.0.1:1/\r\n\r\n"}});
    trust(server);
    const auto body = get(server);
    ASSERT_FALSE(body);
    EXPECT_NE(body.error().message.find("from https to http"), std::string::npos)
        << body.error().message;
}

}  // namespace
}  // namespace rqs::pkg
