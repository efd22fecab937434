// SPDX-License-Identifier: Apache-2.0
//
// Moving contents and places (grove_move in grove/contents.h is this with a handle).
#ifndef GROVE_CONTENT_MOVE_H
#define GROVE_CONTENT_MOVE_H

#include "catalog/store.h"
#include "grove/contents.h"

enum grove_code move_contents(struct store *store, struct call *call,
                              const struct grove_move_request *request,
                              struct grove_move_report *ret, struct grove_error *error);

#endif
