// SPDX-License-Identifier: Apache-2.0
#include "embed/kernels.h"

#if defined(__x86_64__)
#define WIDE(name) name##_avx512
#define WIDE_TARGET __attribute__((target("avx512f,fma")))
#define WIDE_ROWS 6
#include "embed/kernels_wide.h"

const struct kernels kernels_avx512 = WIDE_TABLE("avx512");
#endif
