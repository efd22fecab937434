// SPDX-License-Identifier: Apache-2.0
//
// As plain, but each multiply-add rounds once, by the C library: slow, for processors without such
// an instruction, so that their reduced vectors are everyone else's.
#define WIDE(name) name##_exact
#define WIDE_TARGET
#define WIDE_LANES 4
#define WIDE_ROWS 1
#define WIDE_PANELS 1
#define WIDE_FMA(a, b, c) wide_fused(a, b, c)
#define WIDE_MAX(a, b) wide_larger(a, b)

#include <math.h>

typedef float fused __attribute__((vector_size(16), aligned(4), may_alias));

static inline fused wide_fused(fused a, fused b, fused c)
{
    return (fused){fmaf(a[0], b[0], c[0]), fmaf(a[1], b[1], c[1]), fmaf(a[2], b[2], c[2]),
                   fmaf(a[3], b[3], c[3])};
}

#include "embed/kernels_wide.h"

const struct kernels_real kernels_exact = WIDE_TABLE;
