// SPDX-License-Identifier: Apache-2.0
//
// Calls of grove/grove.h that take no limits there, with those of one call.
//
//     code = embed_texts(grove, &limits, texts, count, vectors, error);
//
// `limits` may be NULL: then they are the calls of that header.
#ifndef GROVE_API_LIMITED_H
#define GROVE_API_LIMITED_H

#include "base/attr.h"
#include "grove/grove.h"

enum grove_code embed_texts(struct grove *grove, const struct grove_limits *limits,
                            const char *const *texts, size_t count, float *ret_vectors,
                            struct grove_error *error) GROVE_MUST_CHECK;
enum grove_code tokenize_text(struct grove *grove, const struct grove_limits *limits,
                              const char *text, int32_t ret_ids[GROVE_TOKENS_MAX],
                              size_t *ret_count, struct grove_error *error) GROVE_MUST_CHECK;
enum grove_code types_list(struct grove *grove, const struct grove_limits *limits,
                           struct grove_types **ret, struct grove_error *error) GROVE_MUST_CHECK;
enum grove_code status_read(struct grove *grove, const struct grove_limits *limits,
                            struct grove_status *ret, struct grove_error *error) GROVE_MUST_CHECK;

#endif
