// SPDX-License-Identifier: Apache-2.0
//
// Included after all other headers by files whose floating-point results are to be the same bits
// on every processor: the compiler makes no fused multiply-add by itself. Where one is wanted it
// is written out.
#ifndef GROVE_EMBED_EXACT_H
#define GROVE_EMBED_EXACT_H

#if defined(__clang__)
#pragma clang fp contract(off)
#elif defined(__GNUC__)
#pragma GCC optimize("fp-contract=off")
#endif

#endif
