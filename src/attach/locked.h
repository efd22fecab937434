// SPDX-License-Identifier: Apache-2.0
//
// DDL on a table that others use: its lock is asked for during LOCKED_MS, then all go on, and it is
// tried again, for as long as the call may take. Nobody waits behind it for longer.
//
//     struct locked locked = {.store = store, .call = call};
//     for (;;) {
//         code = do_it();                              // a transaction that began with LOCKED_SQL
//         if (code == GROVE_OK || !locked_again(&locked, &code, error))
//             return code;
//     }
#ifndef GROVE_ATTACH_LOCKED_H
#define GROVE_ATTACH_LOCKED_H

#include "catalog/store.h"
#include "grove/attach.h"

#define LOCKED_SQL "SET LOCAL lock_timeout = '10ms';\n"

struct locked {
    struct store *store;
    struct call *call;
    int64_t relation;
    void (*on_wait)(void *state, const struct grove_attach_wait *wait);
    void *state;
    int64_t since_us; // monotonic; 0: it has not waited
    unsigned attempts;
    char holder[400];
};

// Whether a failure was for the sake of a lock that others have.
bool locked_is(const struct grove_error *error);

// After a failure: whether it was for others' sake, who are waited for now. Where the call is over
// meanwhile *code and *error say so, and for whom it waited.
bool locked_again(struct locked *locked, enum grove_code *code, struct grove_error *error);

// Where others were found to have it locked: a pause, until it is asked for again. Where the call
// is over the error says for whom it waited.
enum grove_code locked_wait(struct locked *locked, struct grove_error *error);

#endif
