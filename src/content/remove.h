// SPDX-License-Identifier: Apache-2.0
//
// Taking contents and places away (grove_remove in grove/contents.h is this with a handle).
#ifndef GROVE_CONTENT_REMOVE_H
#define GROVE_CONTENT_REMOVE_H

#include "catalog/store.h"
#include "grove/contents.h"

enum grove_code remove_contents(struct store *store, struct call *call,
                                const struct grove_remove_request *request,
                                struct grove_remove_report *ret, struct grove_error *error);

#endif
