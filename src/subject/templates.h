// SPDX-License-Identifier: Apache-2.0
#ifndef GROVE_SUBJECT_TEMPLATES_H
#define GROVE_SUBJECT_TEMPLATES_H

#include "base/asset.h"

extern const struct asset subject_files[]; // sql/subject/*.sql

#endif
