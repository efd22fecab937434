// SPDX-License-Identifier: Apache-2.0
//
// The functions that run the commands of the table (commands/command.h).
//
//     code = run_command(session, error);
#ifndef GROVE_CLI_RUN_H
#define GROVE_CLI_RUN_H

#include "commands/command.h"

struct session;

// The command of the session.
enum grove_code run_command(struct session *session, struct grove_error *error);

// Whether there is a function for a row of the table: there is for each.
bool run_knows(const struct command *command);

enum grove_code cmd_attach(struct session *session, struct grove_error *error);
enum grove_code cmd_attachments(struct session *session, struct grove_error *error);
enum grove_code cmd_browse(struct session *session, struct grove_error *error);
enum grove_code cmd_completion(struct session *session, struct grove_error *error);
enum grove_code cmd_dead(struct session *session, struct grove_error *error);
enum grove_code cmd_demo(struct session *session, struct grove_error *error);
enum grove_code cmd_detach(struct session *session, struct grove_error *error);
enum grove_code cmd_discover(struct session *session, struct grove_error *error);
enum grove_code cmd_document(struct session *session, struct grove_error *error);
enum grove_code cmd_doctor(struct session *session, struct grove_error *error);
enum grove_code cmd_embed(struct session *session, struct grove_error *error);
enum grove_code cmd_export(struct session *session, struct grove_error *error);
enum grove_code cmd_help(struct session *session, struct grove_error *error);
enum grove_code cmd_import(struct session *session, struct grove_error *error);
enum grove_code cmd_init(struct session *session, struct grove_error *error);
enum grove_code cmd_load(struct session *session, struct grove_error *error);
enum grove_code cmd_ls(struct session *session, struct grove_error *error);
enum grove_code cmd_mv(struct session *session, struct grove_error *error);
enum grove_code cmd_pg_dump(struct session *session, struct grove_error *error);
enum grove_code cmd_pg_restore(struct session *session, struct grove_error *error);
enum grove_code cmd_psql(struct session *session, struct grove_error *error);
enum grove_code cmd_rechunk(struct session *session, struct grove_error *error);
enum grove_code cmd_repair(struct session *session, struct grove_error *error);
enum grove_code cmd_rm(struct session *session, struct grove_error *error);
enum grove_code cmd_search(struct session *session, struct grove_error *error);
enum grove_code cmd_show(struct session *session, struct grove_error *error);
enum grove_code cmd_similar(struct session *session, struct grove_error *error);
enum grove_code cmd_status(struct session *session, struct grove_error *error);
enum grove_code cmd_stop(struct session *session, struct grove_error *error);
enum grove_code cmd_subject(struct session *session, struct grove_error *error);
enum grove_code cmd_sync(struct session *session, struct grove_error *error);
enum grove_code cmd_url(struct session *session, struct grove_error *error);
enum grove_code cmd_verify(struct session *session, struct grove_error *error);
enum grove_code cmd_version(struct session *session, struct grove_error *error);

#endif
