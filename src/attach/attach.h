// SPDX-License-Identifier: Apache-2.0
//
// Attaching tables, and detaching them (grove/attach.h is this with a handle).
#ifndef GROVE_ATTACH_ATTACH_H
#define GROVE_ATTACH_ATTACH_H

#include "catalog/store.h"
#include "grove/attach.h"

// All in one block of mem_alloc's.
enum grove_code attach_table(struct store *store, struct call *call,
                             const struct grove_attach_request *request,
                             struct grove_attach_report **ret, struct grove_error *error);
enum grove_code attach_list(struct store *store, struct call *call, struct grove_attachments **ret,
                            struct grove_error *error);
enum grove_code detach_table(struct store *store, struct call *call,
                             const struct grove_detach_request *request,
                             struct grove_detach_report **ret, struct grove_error *error);

#endif
