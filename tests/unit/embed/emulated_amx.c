// SPDX-License-Identifier: Apache-2.0
//
// The products in AMX tiles, the tiles' instructions written out: what they read, multiply and
// store, as Intel's "Architecture Instruction Set Extensions Programming Reference" has it, for
// tiles of 16 rows of 64 bytes. Setting tiles up is left to machines that have them.
#include "embed/kernels.h"

#if defined(__x86_64__)
#include <immintrin.h>
#include <string.h>

static uint8_t tiles[8][16][64];

static void emulated_load(size_t tile, const void *base, size_t stride)
{
    for (size_t row = 0; row < 16; row++)
        memcpy(tiles[tile][row], (const char *)base + row * stride, sizeof tiles[tile][row]);
}

static void emulated_store(size_t tile, void *base, size_t stride)
{
    for (size_t row = 0; row < 16; row++)
        memcpy((char *)base + row * stride, tiles[tile][row], sizeof tiles[tile][row]);
}

static int32_t emulated_four(const uint8_t *a, const uint8_t *b)
{
    int32_t sum = 0;
    for (size_t i = 0; i < 4; i++)
        sum += a[i] * (int8_t)b[i];
    return sum;
}

static void emulated_dpbusd(size_t to, size_t a, size_t b)
{
    for (size_t row = 0; row < 16; row++) {
        int32_t sums[16];
        memcpy(sums, tiles[to][row], sizeof sums);
        for (size_t column = 0; column < 16; column++)
            for (size_t k = 0; k < 16; k++)
                sums[column] += emulated_four(tiles[a][row] + 4 * k, tiles[b][k] + 4 * column);
        memcpy(tiles[to][row], sums, sizeof sums);
    }
}

#undef _tile_zero
#undef _tile_loadd
#undef _tile_stored
#undef _tile_dpbusd
#define _tile_zero(tile) memset(tiles[tile], 0, sizeof tiles[tile])
#define _tile_loadd(tile, base, stride) emulated_load(tile, base, stride)
#define _tile_stored(tile, base, stride) emulated_store(tile, base, stride)
#define _tile_dpbusd(to, a, b) emulated_dpbusd(to, a, b)

// The file itself, under other names.
extern const struct kernels_whole tiles_emulated, tiles_real;
bool tiles_emulated_supported(void);
#define kernels_amx_whole tiles_real
#define kernels_amx_supported tiles_emulated_supported
#include "embed/kernels_amx.c" // NOLINT(bugprone-suspicious-include)

const struct kernels_whole tiles_emulated = {.takes_bytes = true, .dot = dot_amx};
#endif
