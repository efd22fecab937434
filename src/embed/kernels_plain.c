// SPDX-License-Identifier: Apache-2.0
#define WIDE(name) name##_plain
#define WIDE_TARGET
#define WIDE_ROWS 1
#include "embed/kernels_wide.h"

const struct kernels kernels_plain = WIDE_TABLE("plain");
