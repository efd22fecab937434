// SPDX-License-Identifier: Apache-2.0
#include "embed/kernels.h"

#if defined(__aarch64__)
#include <arm_neon.h>

#define WIDE(name) name##_neon
#define WIDE_TARGET
#define WIDE_LANES 4
#define WIDE_ROWS 6
#define WIDE_PANELS 1
#define WIDE_FMA(a, b, c) ((vec)vfmaq_f32((float32x4_t)(c), (float32x4_t)(a), (float32x4_t)(b)))
#define WIDE_MAX(a, b) wide_larger(a, b)
#include "embed/kernels_wide.h"

#include "embed/kernels_pairs.h"

const struct kernels_real kernels_neon = WIDE_TABLE;
const struct kernels_whole kernels_neon_whole = {.dot = WIDE(dot)};
#endif
