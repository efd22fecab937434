// SPDX-License-Identifier: Apache-2.0
#include "embed/kernels.h"

#if defined(__x86_64__)
#include <immintrin.h>

#define WIDE(name) name##_avx2
#define WIDE_TARGET __attribute__((target("avx2,fma")))
#define WIDE_LANES 8
#define WIDE_ROWS 6
#define WIDE_PANELS 1
#define WIDE_FMA(a, b, c) ((vec)_mm256_fmadd_ps((__m256)(a), (__m256)(b), (__m256)(c)))
#define WIDE_MAX(a, b) ((vec)_mm256_max_ps((__m256)(a), (__m256)(b)))
#include "embed/kernels_wide.h"

#define PAIRS(a, b) ((pairs)_mm256_madd_epi16((__m256i)(a), (__m256i)(b)))
#include "embed/kernels_pairs.h"

const struct kernels_real kernels_avx2 = WIDE_TABLE;
const struct kernels_whole kernels_avx2_whole = {.dot = WIDE(dot)};
#endif
