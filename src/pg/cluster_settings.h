// SPDX-License-Identifier: Apache-2.0
//
// The settings that grove gives its private PostgreSQL.
#ifndef GROVE_PG_CLUSTER_SETTINGS_H
#define GROVE_PG_CLUSTER_SETTINGS_H

#include "home/home.h"

// Writes grove.conf into the data folder of the home's cluster, anew; postgresql.conf includes it.
enum grove_code cluster_write_settings(const struct home *home, const char *data,
                                       struct grove_error *error);

#endif
