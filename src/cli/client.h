// SPDX-License-Identifier: Apache-2.0
//
// Becoming one of PostgreSQL's own programs, connected to grove's database: psql, pg_dump,
// pg_restore. The private server's are those that came with it, which are of its version; for
// another server the one on PATH goes first, unless that is too old for it.
//
//     return client_become(session, "psql", error);
#ifndef GROVE_CLI_CLIENT_H
#define GROVE_CLI_CLIENT_H

#include "cli/session.h"

// Starts the private database if need be. The command's operands are the program's arguments, its
// exit status is ours; this returns only on failure, or where --print asked for the URL instead.
enum grove_code client_become(struct session *session, const char *name, struct grove_error *error);

// Prints the database's address for any other client, as --for says; a password with --password
// only. Starts the private database if need be.
enum grove_code client_print_url(struct session *session, struct grove_error *error);

#endif
