// SPDX-License-Identifier: BSD-2-Clause
// A connection to a server that ends at a deadline, whoever dawdles.
#pragma once

#include <openssl/ssl.h>

#include <chrono>
#include <memory>
#include <string>
#include <string_view>

#include "pkg/http.h"
#include "util/deleter.h"
#include "util/error.h"
#include "util/fd.h"

namespace rqs::pkg {

/// A connection, with or without TLS. Every wait ends at the deadline.
class Connection {
  public:
    static Result<std::unique_ptr<Connection>> open(const Url& url,
                                                    std::chrono::steady_clock::time_point deadline);

    Status send(std::string_view text);

    /// What has come: empty at the end.
    Result<std::string> receive();

  private:
    explicit Connection(std::chrono::steady_clock::time_point deadline) : deadline_(deadline) {}

    Status connect(const Url& url);
    Status prepare_tls(const std::string& host);
    Status start_tls(const std::string& host);
    [[nodiscard]] std::string why_no_tls() const;

    /// Waits for `events`; false at the deadline.
    [[nodiscard]] bool wait(short events) const;

    /// After a TLS call returned `outcome`: true if it may be tried again.
    [[nodiscard]] bool retry_tls(int outcome) const;

    [[nodiscard]] tl::unexpected<Error> broken(std::string_view doing) const;

    std::chrono::steady_clock::time_point deadline_;
    util::Fd socket_;
    bool has_certificates_ = false;
    std::unique_ptr<SSL_CTX, util::Deleter<SSL_CTX_free>> context_;
    std::unique_ptr<SSL, util::Deleter<SSL_free>> tls_;
};

}  // namespace rqs::pkg
