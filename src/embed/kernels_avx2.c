// SPDX-License-Identifier: Apache-2.0
#include "embed/kernels.h"

#if defined(__x86_64__)
#define WIDE(name) name##_avx2
#define WIDE_TARGET __attribute__((target("avx2,fma")))
#define WIDE_ROWS 1
#include "embed/kernels_wide.h"

const struct kernels kernels_avx2 = WIDE_TABLE("avx2");
#endif
