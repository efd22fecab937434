// SPDX-License-Identifier: Apache-2.0
#define WIDE(name) name##_plain
#define WIDE_TARGET
#define WIDE_LANES 4
#define WIDE_ROWS 2
#define WIDE_PANELS 1
#define WIDE_FMA(a, b, c) ((a) * (b) + (c))
#define WIDE_MAX(a, b) wide_larger(a, b)
#include "embed/kernels_wide.h"

const struct kernels_real kernels_plain = WIDE_TABLE;
