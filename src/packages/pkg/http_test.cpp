// SPDX-License-Identifier: BSD-2-Clause
#include "pkg/http.h"

#include <arpa/inet.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <sched.h>
#include <sys/mount.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <chrono>
#include <cstring>
#include <fstream>
#include <functional>
#include <thread>

#include "pkg/loopback_server.h"
#include "util/fd.h"

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
    EXPECT_TRUE(is_url("HTTP://h") && is_url("Https://h"));
    EXPECT_TRUE(parse_url("HTTPS://h")->tls);
    EXPECT_EQ(parse_url("HTTP://h/P")->path, "/P");
    EXPECT_FALSE(is_url("ftp://h") || is_url("http:/h") || is_url("https"));
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
    EXPECT_EQ(*body_of("HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\n"
                       "HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nabc"),
              "abc");
}

TEST(Response, CutShortIsAnError) {
    for (const char* bad :
         {"", "HTTP/1.1 200 OK", "hello\r\n\r\n", "HTTP/1.1 404 Not Found\r\n\r\n",
          "HTTP/1.1 100 Continue\r\n\r\n", "HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nabc",
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
    /// With `delay` before each answer.
    explicit Server(std::vector<std::string> answers, std::chrono::milliseconds delay = {})
        : delay_(delay), socket_(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
        port_ = listen_on_loopback(socket_.get());
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

    /// What was asked for; to be called when all answers were given.
    [[nodiscard]] std::vector<std::string> paths() const { return paths_; }

  private:
    void serve(const std::vector<std::string>& answers) {
        for (const auto& answer : answers) {
            const util::Fd peer(::accept(socket_.get(), nullptr, nullptr));
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
            const auto path = request.find(' ') + 1;
            paths_.push_back(request.substr(path, request.find(' ', path) - path));
            std::this_thread::sleep_for(delay_);
            (void)::send(peer.get(), answer.data(), answer.size(), MSG_NOSIGNAL);
        }
    }

    std::chrono::milliseconds delay_;
    std::vector<std::string> paths_;
    util::Fd socket_;
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

TEST(HttpGet, RedirectsMayBeRelative) {
    const Server server({"HTTP/1.1 302 F\r\nLocation: b?x=1\r\n\r\n",
                         "HTTP/1.1 302 F\r\nLocation: ?y=2\r\n\r\n",
                         "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"});
    const auto body = http_get(server.url("/a/old?z"), 100);
    ASSERT_TRUE(body) << body.error().message;
    EXPECT_EQ(server.paths(), (std::vector<std::string>{"/a/old?z", "/a/b?x=1", "/a/b?y=2"}));
}

TEST(HttpGet, RedirectsMayLeaveOutTheScheme) {
    const Server other({"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"});
    const Server server({"HTTP/1.1 302 F\r\nLocation: " + other.url("/c").substr(5) + "\r\n\r\n"});
    const auto body = http_get(server.url("/"), 100);
    ASSERT_TRUE(body) << body.error().message;
    EXPECT_EQ(other.paths(), std::vector<std::string>{"/c"});
}

TEST(HttpGet, RedirectsLeadToHttpAlone) {
    const Server server({"HTTP/1.1 302 F\r\nLocation: file:///etc/passwd\r\n\r\n"});
    const auto body = http_get(server.url("/"), 100);
    ASSERT_FALSE(body);
    EXPECT_NE(body.error().message.find("file:///etc/passwd, which is no http(s) URL"),
              std::string::npos)
        << body.error().message;
}

TEST(HttpGet, SaysThatTheAnswerIsCompressed) {
    const Server server({"HTTP/1.1 200 OK\r\nContent-Encoding: GZIP\r\n\r\n\x1f\x8b"});
    const auto body = http_get(server.url("/"), 100);
    ASSERT_FALSE(body);
    EXPECT_NE(body.error().message.find("compresses its answer (gzip)"), std::string::npos)
        << body.error().message;
}

TEST(HttpGet, GivesUpInTime) {
    const Server server({""}, std::chrono::seconds(3));
    const auto begin = std::chrono::steady_clock::now();
    const auto body = http_get(server.url("/"), 100, std::chrono::milliseconds(200));
    ASSERT_FALSE(body);
    EXPECT_NE(body.error().message.find("it takes too long"), std::string::npos)
        << body.error().message;
    EXPECT_LT(std::chrono::steady_clock::now() - begin, std::chrono::seconds(2));
}

/// In a thread with a mount namespace of its own, where the only name server never answers.
void with_silent_resolver(const std::function<void()>& test, std::string& why_not) {
    std::thread([&] {
        const util::Fd silent(::socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0));
        sockaddr_in address{};
        address.sin_family = AF_INET;
        address.sin_port = htons(53);
        address.sin_addr.s_addr = htonl(0x7f505050);  // a loopback address that nobody uses
        const std::string file = "/tmp/http-test-" + std::to_string(::getpid());
        std::ofstream(file) << "nameserver 127.80.80.80\noptions timeout:5 attempts:2\n";
        const bool ready =
            ::bind(silent.get(), reinterpret_cast<sockaddr*>(&address), sizeof(address)) == 0 &&
            ::unshare(CLONE_NEWNS) == 0 &&
            ::mount(nullptr, "/", nullptr, MS_REC | MS_PRIVATE, nullptr) == 0 &&
            ::mount(file.c_str(), "/etc/resolv.conf", nullptr, MS_BIND, nullptr) == 0;
        why_not = ready ? "" : std::strerror(errno);
        if (ready) {
            test();
        }
        ::unlink(file.c_str());
    }).join();
}

TEST(HttpGet, LookingUpTheNameCountsToo) {
    std::string why_not;
    with_silent_resolver(
        [] {
            const auto begin = std::chrono::steady_clock::now();
            const auto body =
                http_get("http://package.invalid.example/", 100, std::chrono::milliseconds(500));
            ASSERT_FALSE(body);
            EXPECT_NE(body.error().message.find("it takes too long"), std::string::npos)
                << body.error().message;
            EXPECT_LT(std::chrono::steady_clock::now() - begin, std::chrono::seconds(4));
        },
        why_not);
    if (!why_not.empty()) {
        GTEST_SKIP() << "no name server of our own: " << why_not;
    }
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
