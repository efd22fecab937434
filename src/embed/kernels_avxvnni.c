// SPDX-License-Identifier: Apache-2.0
#include "embed/kernels.h"

#if defined(__x86_64__)
#include <immintrin.h>

#define FOURS(name) name##_avxvnni
#define FOURS_TARGET __attribute__((target("avx2,avxvnni")))
#define FOURS_LANES 8
#define FOURS_ROWS 6
#define FOURS_PANELS 1
#define FOURS_SIGN 0U
#define FOURS_DOT(s, a, b)                                                                         \
    ((fours)_mm256_dpbusd_avx_epi32((__m256i)(s), (__m256i)(a), (__m256i)(b)))
#include "embed/kernels_fours.h"

const struct kernels_whole kernels_avxvnni_whole = {.takes_bytes = true, .dot = FOURS(dot)};
#endif
