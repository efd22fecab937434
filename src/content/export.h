// SPDX-License-Identifier: Apache-2.0
//
// Contents written as what loads back (grove_export in grove/contents.h is this with a handle).
#ifndef GROVE_CONTENT_EXPORT_H
#define GROVE_CONTENT_EXPORT_H

#include "catalog/store.h"
#include "grove/contents.h"

enum grove_code export_contents(struct store *store, struct call *call,
                                const struct grove_export_request *request,
                                struct grove_export_report *ret, struct grove_error *error);

#endif
