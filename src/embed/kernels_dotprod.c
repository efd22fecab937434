// SPDX-License-Identifier: Apache-2.0
#include "embed/kernels.h"

#if defined(__aarch64__)
#if defined(__clang__)
#define FOURS_TARGET __attribute__((target("dotprod")))
#else
#define FOURS_TARGET __attribute__((target("arch=armv8.2-a+dotprod")))
#endif
#include <arm_neon.h>

#define FOURS(name) name##_dotprod
#define FOURS_LANES 4
#define FOURS_ROWS 6
#define FOURS_PANELS 1
#define FOURS_SIGN 0x80U
#define FOURS_DOT(s, a, b) ((fours)vdotq_s32((int32x4_t)(s), (int8x16_t)(a), (int8x16_t)(b)))
#include "embed/kernels_fours.h"

const struct kernels_whole kernels_dotprod_whole = {
    .takes_bytes = true, .centred = true, .dot = FOURS(dot)};
#endif
