// SPDX-License-Identifier: Apache-2.0
//
// Ids of contents on a command line. What has nothing but digits is one: no tree is called so.
#ifndef GROVE_CLI_IDS_H
#define GROVE_CLI_IDS_H

#include <stdbool.h>
#include <stdint.h>

#include "cli/session.h"

enum { IDS_MAX = 10000 };

bool ids_is_one(const char *word);

// The words up to the first that is none; *ret_count of them, at most IDS_MAX.
enum grove_code ids_read_all(struct session *session, char *const *words, size_t word_count,
                             int32_t *ret, size_t *ret_count, struct grove_error *error);

// GROVE_INVALID, with the usage: it is no id, or one that no content can have.
enum grove_code ids_read(struct session *session, const char *word, int32_t *ret,
                         struct grove_error *error);

#endif
