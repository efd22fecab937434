// SPDX-License-Identifier: Apache-2.0
//
// Products of whole numbers in AMX tiles: 16 rows of 16 sums (tiles 0 to 3), 16 rows of 64 bytes
// of x (4, 5), 16 rows of 64 bytes of weights (6, 7), which are 64 inputs of one panel as it lies.
#include "embed/kernels.h"

#if defined(__x86_64__)
#include <immintrin.h>
#include <pthread.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/check.h"

#include <cpuid.h>

#define AMX_TARGET __attribute__((target("amx-tile,amx-int8")))

enum {
    TILE_ROWS = 16,
    DOUBLE_ROWS = 2 * TILE_ROWS,
    TILE_BYTES = 64, // of a row
    ARCH_REQ_XCOMP_PERM = 0x1023,
    XFEATURE_XTILEDATA = 18,
};

struct tile_config {
    uint8_t palette, start_row, reserved[14];
    uint16_t row_bytes[16];
    uint8_t rows[16];
};

static pthread_once_t permission_once = PTHREAD_ONCE_INIT;
static bool permitted;

// For the whole process; the system's kernel refuses it where a thread's signal stack is too small
// for the tiles, or where it does not know them.
static void ask_permission(void)
{
    unsigned a = 0, b = 0, c = 0, d = 0;
    bool has = __get_cpuid_count(7, 0, &a, &b, &c, &d) && (d & 1U << 24) && (d & 1U << 25);
    permitted = has && syscall(SYS_arch_prctl, ARCH_REQ_XCOMP_PERM, XFEATURE_XTILEDATA) == 0;
}

bool kernels_amx_supported(void)
{
    pthread_once(&permission_once, ask_permission);
    return permitted;
}

static AMX_TARGET void begin_amx(void)
{
    struct tile_config config = {.palette = 1};
    for (size_t i = 0; i < 8; i++) {
        config.row_bytes[i] = TILE_BYTES;
        config.rows[i] = TILE_ROWS;
    }
    __asm__ volatile("ldtilecfg %0" : : "m"(config));
}

static AMX_TARGET void end_amx(void)
{
    _tile_release();
}

// 32 rows by two panels. Meanwhile asks for `lines` of weights at `ahead` for each 64 inputs.
static AMX_TARGET void dot_32(const uint8_t *x, size_t inputs, const int8_t *weights, int32_t *sums,
                              const int8_t *ahead, size_t lines)
{
    const int8_t *second = weights + inputs * PACK_COLUMNS;
    _tile_zero(0);
    _tile_zero(1);
    _tile_zero(2);
    _tile_zero(3);
    for (size_t i = 0; i < inputs; i += TILE_BYTES) {
        _tile_loadd(6, weights + i * PACK_COLUMNS, TILE_BYTES);
        _tile_loadd(4, x + i, inputs);
        _tile_dpbusd(0, 4, 6);
        _tile_loadd(7, second + i * PACK_COLUMNS, TILE_BYTES);
        _tile_dpbusd(1, 4, 7);
        for (size_t k = 0; k < lines; k++, ahead += TILE_BYTES)
            __builtin_prefetch(ahead, 0, 2);
        _tile_loadd(5, x + TILE_ROWS * inputs + i, inputs);
        _tile_dpbusd(2, 5, 6);
        _tile_dpbusd(3, 5, 7);
    }
    size_t stride = KERNELS_SUMS * sizeof sums[0];
    _tile_stored(0, sums, stride);
    _tile_stored(1, sums + PACK_COLUMNS, stride);
    _tile_stored(2, sums + (size_t)TILE_ROWS * KERNELS_SUMS, stride);
    _tile_stored(3, sums + (size_t)TILE_ROWS * KERNELS_SUMS + PACK_COLUMNS, stride);
}

// 16 rows by two panels.
static AMX_TARGET void dot_16(const uint8_t *x, size_t inputs, const int8_t *weights, int32_t *sums)
{
    const int8_t *second = weights + inputs * PACK_COLUMNS;
    _tile_zero(0);
    _tile_zero(1);
    for (size_t i = 0; i < inputs; i += TILE_BYTES) {
        _tile_loadd(4, x + i, inputs);
        _tile_loadd(6, weights + i * PACK_COLUMNS, TILE_BYTES);
        _tile_dpbusd(0, 4, 6);
        _tile_loadd(7, second + i * PACK_COLUMNS, TILE_BYTES);
        _tile_dpbusd(1, 4, 7);
    }
    size_t stride = KERNELS_SUMS * sizeof sums[0];
    _tile_stored(0, sums, stride);
    _tile_stored(1, sums + PACK_COLUMNS, stride);
}

// The tiles' instructions do not tell the compiler what memory they touch: hence the barriers.
static AMX_TARGET void dot_amx(const void *x, size_t inputs, size_t rows, const int8_t *weights,
                               int32_t *sums)
{
    CHECK(inputs % TILE_BYTES == 0);
    const uint8_t *at = x;
    __asm__ volatile("" : : : "memory");
    // The next two panels: inputs / 2 lines, in inputs / 64 steps of each tile.
    size_t blocks = (rows + DOUBLE_ROWS - 1) / DOUBLE_ROWS;
    size_t lines = (32 + blocks - 1) / blocks;
    const int8_t *ahead = weights + 2 * inputs * PACK_COLUMNS;
    for (size_t row = 0; row < rows; row += DOUBLE_ROWS, ahead += lines * inputs) {
        if (rows - row > TILE_ROWS)
            dot_32(at + row * inputs, inputs, weights, sums + row * KERNELS_SUMS, ahead, lines);
        else
            dot_16(at + row * inputs, inputs, weights, sums + row * KERNELS_SUMS);
    }
    __asm__ volatile("" : : : "memory");
}

const struct kernels_whole kernels_amx_whole = {
    .takes_bytes = true, .begin = begin_amx, .end = end_amx, .dot = dot_amx};
#endif
