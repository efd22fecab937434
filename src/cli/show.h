// SPDX-License-Identifier: Apache-2.0
//
// Results of the three queries for people, and the way from a result to the output.
//
//     code = grove_search(session->grove, &request, &result, error);
//     if (code == GROVE_OK)
//         code = show_result(session, SHOW_SEARCH, result, error);
//     grove_result_free(result);
#ifndef GROVE_CLI_SHOW_H
#define GROVE_CLI_SHOW_H

#include "cli/session.h"
#include "grove/grove.h"

enum show_kind { SHOW_BROWSE, SHOW_SEARCH, SHOW_DISCOVER };

// Appends tables and what belongs to them; everything from the database made safe.
void show_add(struct strbuf *out, const struct terminal *terminal, enum show_kind kind,
              const struct grove_result *result);

// Appends the command for the next page: the session's, with this cursor.
void show_add_next(struct strbuf *out, const struct session *session, const char *cursor);

// Prints as JSON or for people, the latter with warnings and the command for the next page.
enum grove_code show_result(struct session *session, enum show_kind kind,
                            const struct grove_result *result, struct grove_error *error);

#endif
