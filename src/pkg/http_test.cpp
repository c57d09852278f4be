// SPDX-License-Identifier: BSD-2-Clause
#include "pkg/http.h"

#include <arpa/inet.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <thread>

#include "bpfkit/handles.h"

namespace rqs::pkg {
namespace {

TEST(Url, HasItsParts) {
    const auto url = parse_url("https://example.org:8443/a/b.json?x=1#part");
    ASSERT_TRUE(url);
    EXPECT_TRUE(url->tls);
    EXPECT_EQ(url->host, "example.org");
    EXPECT_EQ(url->port, "8443");
    EXPECT_EQ(url->path, "/a/b.json?x=1");
    EXPECT_EQ(parse_url("http://h")->path, "/");
    EXPECT_EQ(parse_url("http://h")->port, "80");
    EXPECT_EQ(parse_url("http://h?q")->path, "/?q");
    EXPECT_EQ(parse_url("http://[::1]:99/")->host, "::1");
}

TEST(Url, CannotSmuggleARequest) {
    for (const char* bad :
         {"http://", "http://:80/", "http://h:/", "http://h:x/", "http://a b/", "http://h/\r\nX: y",
          "http://user@h/", "http://h/\x7f", "http://h/a b"}) {
        EXPECT_FALSE(parse_url(bad)) << bad;
    }
}

Result<std::string> body_of(const std::string& response) {
    std::string redirect;
    auto body = parse_response(response, redirect);
    return redirect.empty() ? body : Result<std::string>("-> " + redirect);
}

TEST(Response, HasItsBody) {
    EXPECT_EQ(*body_of("HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nabc"), "abc");
    EXPECT_EQ(*body_of("HTTP/1.0 200 OK\r\n\r\nto the end"), "to the end");
    EXPECT_EQ(*body_of("HTTP/1.1 200 OK\r\ntransfer-encoding: "
                       "chunked\r\n\r\n3\r\nabc\r\n2;x\r\nde\r\n0\r\n\r\n"),
              "abcde");
    EXPECT_EQ(*body_of("HTTP/1.1 302 Found\r\nLocation:  /b \r\n\r\n"), "-> /b");
}

TEST(Response, CutShortIsAnError) {
    for (const char* bad :
         {"", "HTTP/1.1 200 OK", "hello\r\n\r\n", "HTTP/1.1 404 Not Found\r\n\r\n",
          "HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nabc",
          "HTTP/1.1 200 OK\r\nContent-Length: x\r\n\r\nabc",
          "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nff\r\nabc\r\n",
          "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nffffffffffffffff\r\nabc\r\n",
          "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n"}) {
        EXPECT_FALSE(body_of(bad)) << bad;
    }
}

/// Answers a number of connections on a port of its own, each with the next of `answers`.
class Server {
  public:
    explicit Server(std::vector<std::string> answers)
        : socket_(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
        sockaddr_in address{};
        address.sin_family = AF_INET;
        address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
        socklen_t size = sizeof(address);
        auto* generic = reinterpret_cast<sockaddr*>(&address);
        EXPECT_EQ(::bind(socket_.get(), generic, size), 0);
        EXPECT_EQ(::listen(socket_.get(), 4), 0);
        EXPECT_EQ(::getsockname(socket_.get(), generic, &size), 0);
        port_ = ntohs(address.sin_port);
        thread_ = std::thread([this, answers = std::move(answers)] { serve(answers); });
    }
    Server(const Server&) = delete;
    Server& operator=(const Server&) = delete;
    ~Server() {
        ::shutdown(socket_.get(), SHUT_RDWR);
        thread_.join();
    }

    [[nodiscard]] std::string url(const std::string& path) const {
        return "http://127.0.0.1:" + std::to_string(port_) + path;
    }

  private:
    void serve(const std::vector<std::string>& answers) const {
        for (const auto& answer : answers) {
            const bpfkit::Fd peer(::accept(socket_.get(), nullptr, nullptr));
            if (!peer.valid()) {
                return;
            }
            std::string request;
            std::array<char, 1024> chunk{};
            while (request.find("\r\n\r\n") == std::string::npos) {
                const ssize_t size = ::read(peer.get(), chunk.data(), chunk.size());
                if (size <= 0) {
                    break;
                }
                request.append(chunk.data(), static_cast<std::size_t>(size));
            }
            (void)::send(peer.get(), answer.data(), answer.size(), MSG_NOSIGNAL);
        }
    }

    bpfkit::Fd socket_;
    std::uint16_t port_ = 0;
    std::thread thread_;
};

TEST(HttpGet, FollowsARedirect) {
    const Server server({"HTTP/1.1 301 Moved\r\nLocation: /there\r\n\r\n",
                         "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello"});
    const auto body = http_get(server.url("/here"), 100);
    ASSERT_TRUE(body) << body.error().message;
    EXPECT_EQ(*body, "hello");
}

TEST(HttpGet, EndsARedirectLoop) {
    const Server server(std::vector<std::string>(10, "HTTP/1.1 302 F\r\nLocation: /\r\n\r\n"));
    const auto body = http_get(server.url("/"), 100);
    ASSERT_FALSE(body);
    EXPECT_NE(body.error().message.find("redirects"), std::string::npos);
}

TEST(HttpGet, BoundsTheAnswer) {
    const Server server({"HTTP/1.1 200 OK\r\n\r\n" + std::string(500'000, 'x')});
    const auto body = http_get(server.url("/"), 1000);
    ASSERT_FALSE(body);
    EXPECT_NE(body.error().message.find("too large"), std::string::npos);
}

TEST(HttpGet, NamesTheServersAnswer) {
    const Server server({"HTTP/1.1 404 Not\x1b Found\r\n\r\n"});
    const auto body = http_get(server.url("/"), 1000);
    ASSERT_FALSE(body);
    EXPECT_NE(body.error().message.find("404 Not\\x1b Found"), std::string::npos)
        << body.error().message;
}

TEST(HttpGet, SaysThatNobodyListens) {
    std::string url;
    {
        const Server server({});
        url = server.url("/");
    }
    EXPECT_FALSE(http_get(url, 1000));
}

}  // namespace
}  // namespace rqs::pkg
