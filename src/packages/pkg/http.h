// SPDX-License-Identifier: BSD-2-Clause
// Just enough HTTP/1.1 to fetch one document, so that ecli can be one static file.
#pragma once

#include <chrono>
#include <cstddef>
#include <string>
#include <string_view>

#include "util/error.h"

namespace rqs::pkg {

struct Url {
    bool tls = false;
    std::string host;
    std::string port;
    std::string path;  ///< with the query, at least "/"
};

/// Whether `text` starts with http:// or https://, in whatever case.
bool is_url(std::string_view text);

/// Parts of an absolute URL. User names, fragments' contents and control characters have no place
/// in a request: the first and last are errors, a fragment is dropped.
Result<Url> parse_url(std::string_view text);

/// The body of a finished response: status 200, length or chunked or until the end.
/// `redirect` receives the Location of a 3xx status, and the body is then empty.
Result<std::string> parse_response(std::string_view response, std::string& redirect);

/// Fetches `url`; the body has at most `most_bytes`. All of it, looking up names and redirects
/// included, takes at most `time_limit`. Redirects lead to http(s) alone and never from https to
/// http. Certificates are those that OpenSSL or the distribution keeps, or SSL_CERT_FILE. May
/// raise SIGPIPE, which the caller should ignore.
Result<std::string> http_get(const std::string& url, std::size_t most_bytes,
                             std::chrono::milliseconds time_limit = std::chrono::seconds(30));

}  // namespace rqs::pkg
