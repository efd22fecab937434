// SPDX-License-Identifier: Apache-2.0
#include "embed/kernels.h"

#if defined(__x86_64__)
#include <immintrin.h>

#define FOURS(name) name##_avx512vnni
#define FOURS_TARGET __attribute__((target("avx512f,avx512bw,avx512vl,avx512vnni")))
#define FOURS_LANES 16
#define FOURS_ROWS 12
#define FOURS_PANELS 2
#define FOURS_SIGN 0U
#define FOURS_DOT(s, a, b) ((fours)_mm512_dpbusd_epi32((__m512i)(s), (__m512i)(a), (__m512i)(b)))
#include "embed/kernels_fours.h"

const struct kernels_whole kernels_avx512vnni_whole = {.takes_bytes = true, .dot = FOURS(dot)};
#endif
