// SPDX-License-Identifier: BSD-2-Clause
// SQLite as this project writes it: one writer, one file, prepared statements, and the first error
// kept until somebody asks.
#pragma once

#include <sqlite3.h>

#include <concepts>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "util/deleter.h"
#include "util/error.h"

namespace rqs::database {

/// A database that is being written. Once something has failed, everything else does nothing: those
/// who write millions of rows need not look at each.
class Connection {
  public:
    /// Opens the empty file at `path` for this connection alone, without a journal and without
    /// locks: who sees half of it must not read it. `name` stands in error lines.
    static Result<std::unique_ptr<Connection>> open(const std::string& path, std::string name);

    Connection(const Connection&) = delete;
    Connection& operator=(const Connection&) = delete;
    ~Connection() = default;

    /// Runs statements that return nothing.
    void execute(const std::string& statements);

    [[nodiscard]] bool failed() const { return error_.has_value(); }
    /// What failed first.
    [[nodiscard]] Status status() const;

  private:
    friend class Statement;

    explicit Connection(std::string name) : name_(std::move(name)) {}
    [[nodiscard]] int system_error(int code) const;
    void fail_with(int code);

    std::string name_;
    std::unique_ptr<sqlite3, util::Deleter<sqlite3_close>> handle_;
    std::optional<Error> error_;
};

/// A prepared statement. The values of its parameters are given in their order: whole numbers,
/// texts (valid UTF-8), and optional ones of both; nothing is NULL.
class Statement {
  public:
    /// `connection` must outlive it.
    Statement(Connection& connection, std::string_view text);

    /// Runs it once. Texts need to live as long as the call.
    template <typename... Values>
    void run(const Values&... values) {
        if (begin()) {
            int place = 0;
            (bind(++place, values), ...);
            finish();
        }
    }

    /// Runs it and returns the number in the first column of its row; 0 where there is none.
    template <typename... Values>
    std::int64_t number(const Values&... values) {
        if (!begin()) {
            return 0;
        }
        int place = 0;
        (bind(++place, values), ...);
        return finish_with_number();
    }

  private:
    [[nodiscard]] bool begin() const;
    void finish();
    std::int64_t finish_with_number();

    void bind(int place, std::string_view text);
    void bind_number(int place, std::int64_t number);
    template <std::integral Number>
    void bind(int place, Number number) {
        bind_number(place, static_cast<std::int64_t>(number));
    }
    void bind(int /*place*/, std::nullopt_t /*value*/) {}  // NULL: what finish() leaves behind
    template <typename Value>
    void bind(int place, const std::optional<Value>& value) {
        if (value) {
            bind(place, *value);
        }
    }

    Connection* connection_;
    std::unique_ptr<sqlite3_stmt, util::Deleter<sqlite3_finalize>> handle_;
};

}  // namespace rqs::database
