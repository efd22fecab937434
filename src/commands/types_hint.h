// SPDX-License-Identifier: Apache-2.0
//
// "Did you mean", of a type that no content has.
//
//     types_hint_add(grove, NULL, &options, &hint); // "": all types that were asked for are there
//
// To be asked where nothing matched: only then is it worth a look. Threads: as the handle.
#ifndef GROVE_COMMANDS_TYPES_HINT_H
#define GROVE_COMMANDS_TYPES_HINT_H

#include "base/strbuf.h"
#include "commands/values.h"

// Appends nothing where it cannot be told, either.
void types_hint_add(struct grove *grove, const struct grove_limits *limits,
                    const struct options *options, struct strbuf *hint);

#endif
