// SPDX-License-Identifier: Apache-2.0
//
// What this machine does at best in single precision matrix products: the yardstick of the model's
// linear layers. OpenBLAS, one product a call and a thread, on the model's shapes and on squares.
//
//     gemm_measure(2, stdout);    one line of JSON: {"shapes": [{"rows": 512, ...}], "gflops": 180}
//
// Threads: each has matrices of its own, all multiply at once; their rates are added.
#ifndef GROVE_TESTS_BENCH_EMBED_GEMM_H
#define GROVE_TESTS_BENCH_EMBED_GEMM_H

#include <stdbool.h>
#include <stdio.h>

#include "base/attr.h"

// The library's version and the processor it chose its kernels for. Lives as long as the process.
const char *gemm_library(void);

// False when memory or threads ran out.
bool gemm_measure(unsigned threads, FILE *output) GROVE_MUST_CHECK;

#endif
