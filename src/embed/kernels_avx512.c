// SPDX-License-Identifier: Apache-2.0
#include "embed/kernels.h"

#if defined(__x86_64__)
#include <immintrin.h>

#define WIDE(name) name##_avx512
#define WIDE_TARGET __attribute__((target("avx512f,avx512bw,avx512vl,avx2,fma")))
#define WIDE_LANES 16
#define WIDE_ROWS 12
#define WIDE_PANELS 2
#define WIDE_FMA(a, b, c) ((vec)_mm512_fmadd_ps((__m512)(a), (__m512)(b), (__m512)(c)))
#define WIDE_MAX(a, b) ((vec)_mm512_max_ps((__m512)(a), (__m512)(b)))
#include "embed/kernels_wide.h"

#define PAIRS(a, b) ((pairs)_mm512_madd_epi16((__m512i)(a), (__m512i)(b)))
#include "embed/kernels_pairs.h"

const struct kernels_real kernels_avx512 = WIDE_TABLE;
const struct kernels_whole kernels_avx512_whole = {.dot = WIDE(dot)};
#endif
