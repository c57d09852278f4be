// SPDX-License-Identifier: BSD-2-Clause
#include "database/connection.h"

#include <fmt/format.h>

#include <cerrno>
#include <utility>

#include "util/file_error.h"

namespace rqs::database {
namespace {

// 16 MiB of pages; nothing is read again but the indexes of names. One fsync at the only commit:
// what a disk refuses late (a quota, a network) shows there.
constexpr const char* settings =
    "PRAGMA page_size = 8192; PRAGMA cache_size = -16384; PRAGMA journal_mode = OFF;"
    "PRAGMA locking_mode = EXCLUSIVE; PRAGMA synchronous = NORMAL; PRAGMA temp_store = MEMORY;";

}  // namespace

Result<std::unique_ptr<Connection>> Connection::open(const std::string& path, std::string name) {
    std::unique_ptr<Connection> connection(new Connection(std::move(name)));
    sqlite3* handle = nullptr;
    // "file:" would begin a URI where the library was built to take them.
    const std::string file = path.rfind("file:", 0) == 0 ? "./" + path : path;
    // unix-none: no locks, which some network file systems do not have.
    const int code = sqlite3_open_v2(file.c_str(), &handle,
                                     SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX, "unix-none");
    connection->handle_.reset(handle);
    if (code != SQLITE_OK) {
        connection->fail_with(code);
    }
    connection->execute(settings);
    if (auto status = connection->status(); !status) {
        return tl::unexpected(status.error());
    }
    return connection;
}

/// SQLite says that a disk is full in a code of its own. Otherwise the errno of its last call is
/// asked of the file, for the connection forgets that of a commit.
int Connection::system_error(int code) const {
    if ((code & 0xff) == SQLITE_FULL) {
        return ENOSPC;
    }
    int error = 0;
    if (handle_ && (code & 0xff) == SQLITE_IOERR) {
        (void)sqlite3_file_control(handle_.get(), "main", SQLITE_FCNTL_LAST_ERRNO, &error);
    }
    return error;
}

void Connection::fail_with(int code) {
    if (error_) {
        return;
    }
    if (const int error = system_error(code); error != 0) {
        error_ = Error{util::cannot_write(name_, error)};
        return;
    }
    error_ = Error{fmt::format("cannot write to {}: {}", name_,
                               handle_ ? sqlite3_errmsg(handle_.get()) : sqlite3_errstr(code))};
}

void Connection::execute(const std::string& statements) {
    if (failed()) {
        return;
    }
    const int code = sqlite3_exec(handle_.get(), statements.c_str(), nullptr, nullptr, nullptr);
    if (code != SQLITE_OK) {
        fail_with(code);
    }
}

Status Connection::status() const {
    return error_ ? Status(tl::unexpected(*error_)) : Status{};
}

Statement::Statement(Connection& connection, std::string_view text) : connection_(&connection) {
    if (connection.failed()) {
        return;
    }
    sqlite3_stmt* handle = nullptr;
    const int code =
        sqlite3_prepare_v3(connection.handle_.get(), text.data(), static_cast<int>(text.size()),
                           SQLITE_PREPARE_PERSISTENT, &handle, nullptr);
    handle_.reset(handle);
    if (code != SQLITE_OK) {
        connection.fail_with(code);
    }
}

bool Statement::begin() const {
    return handle_ != nullptr && !connection_->failed();
}

// A binding fails only where memory does, and then the step fails too.
void Statement::bind(int place, std::string_view text) {
    (void)sqlite3_bind_text64(handle_.get(), place, text.data() == nullptr ? "" : text.data(),
                              text.size(), SQLITE_STATIC, SQLITE_UTF8);
}

void Statement::bind_number(int place, std::int64_t number) {
    (void)sqlite3_bind_int64(handle_.get(), place, number);
}

void Statement::finish() {
    (void)finish_with_number();
}

std::int64_t Statement::finish_with_number() {
    std::int64_t number = 0;
    int code = SQLITE_ROW;
    while ((code = sqlite3_step(handle_.get())) == SQLITE_ROW) {
        number = sqlite3_column_int64(handle_.get(), 0);
    }
    if (code != SQLITE_DONE) {
        connection_->fail_with(code);
    }
    (void)sqlite3_reset(handle_.get());
    (void)sqlite3_clear_bindings(handle_.get());
    return number;
}

}  // namespace rqs::database
