// SPDX-License-Identifier: BSD-2-Clause
// What the servers of the tests have in common.
#pragma once

#include <arpa/inet.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include <cstdint>

namespace rqs::pkg {

/// Lets a TCP socket listen on a free port of 127.0.0.1, and returns that.
inline std::uint16_t listen_on_loopback(int socket) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof(address);
    auto* generic = reinterpret_cast<sockaddr*>(&address);
    EXPECT_EQ(::bind(socket, generic, size), 0);
    EXPECT_EQ(::listen(socket, 4), 0);
    EXPECT_EQ(::getsockname(socket, generic, &size), 0);
    return ntohs(address.sin_port);
}

}  // namespace rqs::pkg
