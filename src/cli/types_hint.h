// SPDX-License-Identifier: Apache-2.0
//
// "Did you mean", of a --type that no content has.
//
//     types_hint_add(session, &hint);      // "": all types that were asked for are there
//
// To be asked where nothing matched: only then is it worth a look. Threads: as the session.
#ifndef GROVE_CLI_TYPES_HINT_H
#define GROVE_CLI_TYPES_HINT_H

#include "base/strbuf.h"
#include "cli/session.h"

// Appends nothing where it cannot be told, either.
void types_hint_add(const struct session *session, struct strbuf *hint);

#endif
