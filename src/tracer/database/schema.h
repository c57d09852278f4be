// SPDX-License-Identifier: BSD-2-Clause
// What a database of a recording looks like (docs/SQL.md).
#pragma once

namespace rqs::database {

/// Grows when a table or a column changes its meaning or goes; PRAGMA user_version.
constexpr int schema_version = 1;

/// Makes the tables; their comments stay in the database (`.schema`).
extern const char* const tables;
/// Makes the views over them.
extern const char* const views;

}  // namespace rqs::database
