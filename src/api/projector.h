// SPDX-License-Identifier: Apache-2.0
//
// Whether a handle's home has a resident projector, and which program becomes it.
#ifndef GROVE_API_PROJECTOR_H
#define GROVE_API_PROJECTOR_H

#include "api/handle.h"

// Fills in projector_wanted and command. The servers are known to be private or not by then.
enum grove_code projector_configure(struct grove *grove, const struct grove_options *options,
                                    struct grove_error *error);

#endif
