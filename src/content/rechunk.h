// SPDX-License-Identifier: Apache-2.0
//
// Long contents become documents with chunks (grove_rechunk in grove/contents.h is this with a
// handle).
#ifndef GROVE_CONTENT_RECHUNK_H
#define GROVE_CONTENT_RECHUNK_H

#include "catalog/store.h"
#include "grove/contents.h"

// *ret is filled in also on failure.
enum grove_code rechunk_contents(struct store *store, struct call *call,
                                 const struct grove_rechunk_request *request,
                                 struct grove_rechunk_report *ret, struct grove_error *error);

#endif
