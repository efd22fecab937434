// SPDX-License-Identifier: Apache-2.0
//
// A table that is to be attached: whether it can be, and what its columns become.
#ifndef GROVE_ATTACH_TABLE_H
#define GROVE_ATTACH_TABLE_H

#include "attach/attachment.h"
#include "catalog/store.h"
#include "grove/attach.h"

struct user_table {
    struct store *store;
    struct call *call;
    const struct grove_attach_request *request;
    struct arena arena;
    // What PostgreSQL tells of it. Lists have chr(31) between their parts.
    int64_t relation;
    struct text quoted, name, kind, persistence;
    bool is_partition, has_children, may_read, may_trigger;
    int64_t rows; // an estimate
    struct text columns, key, others;
    int32_t attached_as; // 0: it is not
    // What is to become of it.
    struct attachment attachment;
    struct mapping mapping;
    bool mapped; // it is to be released
};

// Fills in what is not given (store, call, request, arena), but for what the condition is made of.
// An error: it cannot be attached; nothing was changed.
enum grove_code table_judge(struct user_table *self, struct grove_error *error);

#endif
