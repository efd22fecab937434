// SPDX-License-Identifier: Apache-2.0
//
// What tests of the public calls share.
//
//     struct grove *grove = open_handle(stores);
//     ...
//     grove_close(grove);
#ifndef GROVE_TESTS_UNIT_API_OPENING_H
#define GROVE_TESTS_UNIT_API_OPENING_H

#include "../../support/stores.h"

#include "grove/grove.h"

// On the database of the stores, with an engine that is not there. The test closes it.
struct grove *open_handle(struct test_stores *stores);

#endif
