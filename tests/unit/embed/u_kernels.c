// SPDX-License-Identifier: Apache-2.0
//
// All kernels that this machine can run, and those of other machines as far as they can be emulated
// (emulated.h), against the formulas of the reference; and that those that say so give the same
// bits.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <math.h>

#include "base/attr.h"
#include "embed/kernels.h"

enum { ROWS = 5, WIDTH = MODEL_HIDDEN, SETS_MAX = 24 };

extern const struct kernels_real real_emulated_4, real_emulated_8, real_emulated_16;
extern const struct kernels_whole pairs_emulated_4, pairs_emulated_8, pairs_emulated_16;
extern const struct kernels_whole fours_emulated_4, fours_emulated_8, fours_emulated_16;

#if defined(__x86_64__)
extern const struct kernels_whole tiles_emulated;
#endif

static const struct kernels emulated[] = {
#if defined(__x86_64__)
    {"tiles", &real_emulated_16, &tiles_emulated, true, NULL},
#endif
    {"pairs of 4", &real_emulated_4, &pairs_emulated_4, true, NULL},
    {"fours of 4, signed", &real_emulated_4, &fours_emulated_4, true, NULL},
    {"pairs of 8", &real_emulated_8, &pairs_emulated_8, true, NULL},
    {"fours of 8", &real_emulated_8, &fours_emulated_8, true, NULL},
    {"pairs of 16", &real_emulated_16, &pairs_emulated_16, true, NULL},
    {"fours of 16", &real_emulated_16, &fours_emulated_16, true, NULL},
};

static const struct kernels *sets[SETS_MAX];
static size_t set_count;

static int find_sets(void **state)
{
    (void)state;
    for (size_t i = 0; i < kernels_count(); i++) {
        if (kernels_at(i)->supported())
            sets[set_count++] = kernels_at(i);
        else
            print_message("not on this machine: %s\n", kernels_at(i)->name);
    }
    for (size_t i = 0; i < ARRAY_COUNT(emulated); i++)
        sets[set_count++] = &emulated[i];
    assert_true(set_count <= SETS_MAX && set_count >= 3 + ARRAY_COUNT(emulated));
    return 0;
}

static uint64_t random_state = 1;

// Even in -range..range (D. E. Knuth's MMIX generator).
static float random_float(float range)
{
    random_state = random_state * 6364136223846793005U + 1442695040888963407U;
    return ((float)(random_state >> 40) / (float)(1 << 23) - 1) * range;
}

static void fill(float *x, size_t count, float range)
{
    for (size_t i = 0; i < count; i++)
        x[i] = random_float(range);
}

// Where the kernels say so the bits must be those of `exact`, else near the reference.
static void compare(const struct kernels *kernels, const char *what, const float *x,
                    const float *reference, const float *exact, size_t count, float tolerance)
{
    for (size_t i = 0; i < count; i++)
        if (!(fabsf(x[i] - reference[i]) <= tolerance))
            fail_msg("%s, %s: number %zu is %.9g, not %.9g", kernels->name, what, i, (double)x[i],
                     (double)reference[i]);
    if (kernels->fused && memcmp(x, exact, count * sizeof *x) != 0)
        fail_msg("%s, %s: not the bits of the others", kernels->name, what);
}

// --- products -----------------------------------------------------------------------------------

enum { PRODUCT_ROWS = 27, PANELS = 3, GAP = 5, Y_STRIDE = PANELS * PACK_COLUMNS + GAP };

static void multiply(const struct kernels_real *real, struct product product, float *ret_y)
{
    for (size_t i = 0; i < (size_t)PRODUCT_ROWS * Y_STRIDE; i++)
        ret_y[i] = (float)(i % 7);
    product.y = ret_y;
    product.y_stride = Y_STRIDE;
    real->product(&product);
}

static void test_product(void **state)
{
    (void)state;
    static const size_t inputs[] = {1, 5, MODEL_HEAD, 255, MODEL_HIDDEN};
    static float x[PRODUCT_ROWS * (WIDTH + GAP)], weights[PANELS * WIDTH * PACK_COLUMNS];
    static float y[3][PRODUCT_ROWS * Y_STRIDE];
    float start[PANELS * PACK_COLUMNS];
    fill(x, ARRAY_COUNT(x), 1);
    fill(weights, ARRAY_COUNT(weights), 1);
    fill(start, ARRAY_COUNT(start), 1);
    for (size_t rows = 1; rows <= PRODUCT_ROWS; rows++) {
        struct product product = {
            .x = x,
            .x_stride = WIDTH + GAP,
            .rows = rows,
            .inputs = inputs[rows % ARRAY_COUNT(inputs)],
            .weights = weights,
            .panel_stride = (size_t)WIDTH * PACK_COLUMNS,
            .panels = rows % PANELS + 1,
            .start = rows % 2 ? start : NULL,
        };
        multiply(&kernels_reference, product, y[0]);
        multiply(&kernels_exact, product, y[1]);
        for (size_t i = 0; i < set_count; i++) {
            multiply(sets[i]->real, product, y[2]);
            compare(sets[i], "product", y[2], y[0], y[1], ARRAY_COUNT(y[0]), 3e-5f);
        }
    }
}

// --- attention ----------------------------------------------------------------------------------

enum { TOKENS = EMBED_TOKENS_MAX, QKV = 3 * MODEL_HEAD, CONTEXT = MODEL_HEAD + 1 };

static void attend(const struct kernels_real *real, const float *qkv, size_t length,
                   float *ret_context)
{
    static float scratch[KERNELS_ATTEND_SCRATCH] __attribute__((aligned(64)));
    // What an earlier call left must not matter.
    fill(scratch, ARRAY_COUNT(scratch), 100);
    memset(ret_context, 0, (size_t)TOKENS * CONTEXT * sizeof *ret_context);
    real->attend(&(struct attention){
        .query = qkv,
        .key = qkv + MODEL_HEAD,
        .value = qkv + (size_t)2 * MODEL_HEAD,
        .stride = QKV,
        .length = length,
        .context = ret_context,
        .context_stride = CONTEXT,
        .scratch = scratch,
    });
}

static void test_attend(void **state)
{
    (void)state;
    static const size_t lengths[] = {1, 2, 3, 4, 5, 11, 12, 13, 15, 16, 17, 64, 255, TOKENS};
    static float qkv[TOKENS * QKV], context[3][TOKENS * CONTEXT];
    fill(qkv, ARRAY_COUNT(qkv), 2);
    for (size_t l = 0; l < ARRAY_COUNT(lengths); l++) {
        attend(&kernels_reference, qkv, lengths[l], context[0]);
        attend(&kernels_exact, qkv, lengths[l], context[1]);
        for (size_t i = 0; i < set_count; i++) {
            attend(sets[i]->real, qkv, lengths[l], context[2]);
            compare(sets[i], "attention", context[2], context[0], context[1],
                    ARRAY_COUNT(context[0]), 5e-6f);
        }
    }
}

// --- rows ---------------------------------------------------------------------------------------

// Every region of gelu: the middle in small steps, then the tails.
static void test_gelu(void **state)
{
    (void)state;
    float inputs[ROWS * WIDTH], y[3][ROWS * WIDTH];
    for (size_t i = 0; i < ARRAY_COUNT(inputs); i++)
        inputs[i] = ((float)i - ROWS * WIDTH / 2.0f) / 100;
    inputs[0] = -1000;
    inputs[1] = 1000;
    inputs[2] = -0.0f;
    for (size_t i = 0; i < 2; i++) {
        memcpy(y[i], inputs, sizeof inputs);
        (i == 0 ? &kernels_reference : &kernels_exact)->gelu(y[i], ROWS, WIDTH, WIDTH);
    }
    for (size_t i = 0; i < set_count; i++) {
        memcpy(y[2], inputs, sizeof inputs);
        // Half of the width by itself, in rows that are longer.
        sets[i]->real->gelu(y[2], ROWS, WIDTH, WIDTH / 2);
        assert_memory_equal(y[2] + WIDTH / 2, inputs + WIDTH / 2, WIDTH / 2 * sizeof inputs[0]);
        sets[i]->real->gelu(y[2] + WIDTH / 2, ROWS, WIDTH, WIDTH / 2);
        compare(sets[i], "gelu", y[2], y[0], y[1], ARRAY_COUNT(y[0]), 1e-6f);
    }
}

static void test_add_norm(void **state)
{
    (void)state;
    float inputs[ROWS * WIDTH], added[ROWS * WIDTH], y[3][ROWS * WIDTH], vectors[2][WIDTH];
    fill(inputs, ARRAY_COUNT(inputs), 3);
    fill(added, ARRAY_COUNT(added), 3);
    fill(vectors[0], WIDTH, 1);
    fill(vectors[1], WIDTH, 1);
    struct norm norm = {vectors[0], vectors[1]};
    for (size_t i = 0; i < 2; i++) {
        memcpy(y[i], inputs, sizeof inputs);
        (i == 0 ? &kernels_reference : &kernels_exact)->add_norm(y[i], ROWS, added, &norm);
    }
    for (size_t i = 0; i < set_count; i++) {
        memcpy(y[2], inputs, sizeof inputs);
        sets[i]->real->add_norm(y[2], ROWS, added, &norm);
        compare(sets[i], "norm", y[2], y[0], y[1], ARRAY_COUNT(y[0]), 2e-6f);
    }
}

static void test_softmax(void **state)
{
    (void)state;
    enum { PADDING = 20 };
    float inputs[ROWS * WIDTH], y[3][ROWS * WIDTH], sums[3][ROWS];
    fill(inputs, ARRAY_COUNT(inputs), 60);
    for (size_t row = 0; row < ROWS; row++)
        for (size_t i = WIDTH - PADDING; i < WIDTH; i++)
            inputs[row * WIDTH + i] = -1e30f; // as behind the end of a sequence
    for (size_t i = 0; i < 2; i++) {
        memcpy(y[i], inputs, sizeof inputs);
        (i == 0 ? &kernels_reference : &kernels_exact)
            ->softmax(y[i], ROWS, WIDTH, WIDTH, 0.5f, sums[i]);
    }
    for (size_t i = 0; i < set_count; i++) {
        memcpy(y[2], inputs, sizeof inputs);
        sets[i]->real->softmax(y[2], ROWS, WIDTH, WIDTH, 0.5f, sums[2]);
        compare(sets[i], "softmax", y[2], y[0], y[1], ARRAY_COUNT(y[0]), 1e-6f);
        compare(sets[i], "softmax's sums", sums[2], sums[0], sums[1], ROWS, 1e-4f);
        for (size_t k = WIDTH - PADDING; k < WIDTH; k++)
            assert_true(y[2][k] == 0);
    }
}

// --- whole numbers ------------------------------------------------------------------------------

static void test_quantize(void **state)
{
    (void)state;
    static const size_t widths[] = {MODEL_HIDDEN, MODEL_INTERMEDIATE};
    static float x[ROWS * MODEL_INTERMEDIATE], factors[MODEL_INTERMEDIATE];
    static uint16_t wanted[2][ROWS * MODEL_INTERMEDIATE], numbers[ROWS * MODEL_INTERMEDIATE];
    static uint8_t bytes[ROWS * MODEL_INTERMEDIATE];
    float scales[3][ROWS];
    fill(x, ARRAY_COUNT(x), 2);
    fill(factors, ARRAY_COUNT(factors), 1);
    for (size_t w = 0; w < ARRAY_COUNT(widths); w++) {
        size_t width = widths[w], count = ROWS * width;
        memset(x + width, 0, width * sizeof x[0]); // a row of zeros
        kernels_reference.quantize16(x, ROWS, width, factors, wanted[0], scales[0]);
        kernels_exact.quantize16(x, ROWS, width, factors, wanted[1], scales[1]);
        for (size_t i = 0; i < set_count; i++) {
            sets[i]->real->quantize8(x, ROWS, width, factors, bytes, scales[2]);
            compare(sets[i], "scales of bytes", scales[2], scales[0], scales[1], ROWS, 1e-6f);
            sets[i]->real->quantize16(x, ROWS, width, factors, numbers, scales[2]);
            compare(sets[i], "scales", scales[2], scales[0], scales[1], ROWS, 1e-6f);
            for (size_t k = 0; k < count; k++) {
                assert_int_equal(bytes[k], numbers[kernels_place16(k)]);
                assert_in_range(numbers[k], wanted[0][k] - 1, wanted[0][k] + 1);
                assert_true(!sets[i]->fused || numbers[k] == wanted[1][k]);
            }
            for (size_t k = width; k < 2 * width; k++)
                assert_int_equal(numbers[k], PACK_ZERO);
        }
    }
}

static void dot(const struct kernels_whole *whole, const uint16_t *numbers, size_t inputs,
                size_t rows, const int8_t *weights, int32_t *ret_sums)
{
    static uint16_t x[PACK_INPUTS_MAX * 96];
    for (size_t i = 0; i < inputs * rows; i++) {
        if (whole->takes_bytes)
            ((uint8_t *)x)[i] = (uint8_t)numbers[kernels_place16(i)];
        else
            x[i] = numbers[i];
    }
    if (whole->begin)
        whole->begin();
    whole->dot(x, inputs, rows, weights, ret_sums);
    if (whole->end)
        whole->end();
}

// What a column's sum lacks where PACK_ZERO was taken off each number.
static int32_t offset_of(const int8_t *weights, size_t inputs, size_t column)
{
    const int8_t *panel = weights + column / PACK_COLUMNS * PACK_COLUMNS * inputs;
    int32_t sum = 0;
    for (size_t i = 0; i < inputs; i++)
        sum += panel[i / 4 * PACK_COLUMNS * 4 + column % PACK_COLUMNS * 4 + i % 4];
    return PACK_ZERO * sum;
}

enum { DOT_ROWS = 67, DOT_ROWS_ROOM = 96, DOT_WEIGHTS = 2 * PACK_COLUMNS * PACK_INPUTS_MAX };

static void compare_dots(const uint16_t *numbers, const int8_t *weights, size_t inputs, size_t rows)
{
    static int32_t wanted[DOT_ROWS * KERNELS_SUMS], sums[DOT_ROWS_ROOM * KERNELS_SUMS];
    kernels_reference_whole.dot(numbers, inputs, rows, weights, wanted);
    for (size_t i = 0; i < set_count; i++) {
        int32_t offsets[KERNELS_SUMS] = {0};
        for (size_t c = 0; c < KERNELS_SUMS && sets[i]->whole->centred; c++)
            offsets[c] = offset_of(weights, inputs, c);
        dot(sets[i]->whole, numbers, inputs, rows, weights, sums);
        for (size_t k = 0; k < rows * KERNELS_SUMS; k++)
            if (sums[k] != wanted[k] - offsets[k % KERNELS_SUMS])
                fail_msg("%s: %zu rows, sum %zu is %d, not %d", sets[i]->name, rows, k, sums[k],
                         wanted[k] - offsets[k % KERNELS_SUMS]);
    }
}

// Exact, also where all numbers are as large as they can be.
static void test_dot(void **state)
{
    (void)state;
    static uint16_t numbers[DOT_ROWS * PACK_INPUTS_MAX];
    static int8_t weights[DOT_WEIGHTS];
    for (int extreme = 0; extreme <= 1; extreme++) {
        for (size_t i = 0; i < ARRAY_COUNT(numbers); i++)
            numbers[i] = extreme ? (i % PACK_INPUTS_MAX % 3 ? 255 : 1)
                                 : (uint16_t)((float)PACK_ZERO + random_float(127.4f));
        for (size_t i = 0; i < DOT_WEIGHTS; i++)
            weights[i] = extreme ? (i % 64 < 32 ? 127 : -127) : (int8_t)random_float(127.4f);
        for (size_t rows = 1; rows <= DOT_ROWS; rows += rows < 36 ? 1 : 31)
            compare_dots(numbers, weights, rows % 2 ? MODEL_HIDDEN : MODEL_INTERMEDIATE, rows);
    }
}

static void test_dequantize(void **state)
{
    (void)state;
    enum { STRIDE = KERNELS_SUMS + 3 };
    int32_t sums[ROWS * KERNELS_SUMS], offsets[KERNELS_SUMS];
    float scales[KERNELS_SUMS], bias[KERNELS_SUMS], row_scales[ROWS], y[3][ROWS * STRIDE] = {{0}};
    fill(scales, KERNELS_SUMS, 1e-3f);
    fill(bias, KERNELS_SUMS, 1);
    fill(row_scales, ROWS, 1e-2f);
    for (size_t i = 0; i < ARRAY_COUNT(sums); i++)
        sums[i] = (int32_t)random_float(4e6f);
    for (size_t i = 0; i < KERNELS_SUMS; i++)
        offsets[i] = (int32_t)random_float(1e6f);
    struct sums given = {sums, ROWS, offsets, scales, bias, row_scales};
    kernels_reference.dequantize(&given, y[0], STRIDE);
    kernels_exact.dequantize(&given, y[1], STRIDE);
    for (size_t i = 0; i < set_count; i++) {
        sets[i]->real->dequantize(&given, y[2], STRIDE);
        compare(sets[i], "dequantize", y[2], y[0], y[1], ROWS * STRIDE, 2e-5f);
    }
}

// --- others -------------------------------------------------------------------------------------

// Numbers that are none must reach the end, where they are noticed.
static void test_not_finite(void **state)
{
    (void)state;
    float weights[WIDTH] = {0}, bias[WIDTH] = {0}, context[2 * CONTEXT] = {0}, sum;
    static float scratch[KERNELS_ATTEND_SCRATCH] __attribute__((aligned(64)));
    for (size_t i = 0; i < set_count; i++) {
        const struct kernels_real *real = sets[i]->real;
        float x[WIDTH] = {[3] = NAN}, qkv[2 * QKV] = {[3] = NAN};
        real->gelu(x, 1, WIDTH, WIDTH);
        assert_true(isnan(x[3]));
        real->softmax(x, 1, WIDTH, WIDTH, 1, &sum);
        assert_true(isnan(x[3]) && isnan(sum));
        real->add_norm(x, 1, weights, &(struct norm){weights, bias});
        assert_true(isnan(x[0]));
        real->attend(&(struct attention){qkv, qkv + MODEL_HEAD, qkv + QKV - MODEL_HEAD, QKV, 2,
                                         context, CONTEXT, scratch});
        assert_true(isnan(context[0]) && !isnan(context[CONTEXT]));
        // In whole numbers it is the scale that tells.
        float rows[2 * WIDTH] = {[5] = NAN, [WIDTH + 5] = 3}, ones[WIDTH], scales[2];
        uint16_t numbers[2 * WIDTH];
        uint8_t bytes[2 * WIDTH];
        for (size_t k = 0; k < WIDTH; k++)
            ones[k] = 1;
        real->quantize16(rows, 2, WIDTH, ones, numbers, scales);
        assert_true(isnan(scales[0]) && scales[1] > 0);
        real->quantize8(rows, 2, WIDTH, ones, bytes, scales);
        assert_true(isnan(scales[0]) && scales[1] > 0);
        int32_t sums[KERNELS_SUMS] = {0}, offsets[KERNELS_SUMS] = {0};
        float y[KERNELS_SUMS];
        real->dequantize(&(struct sums){sums, 1, offsets, ones, ones, scales}, y, KERNELS_SUMS);
        assert_true(isnan(y[0]));
    }
}

static void test_choice(void **state)
{
    (void)state;
    const struct kernels *chosen = NULL;
    struct grove_error error = {0};
    unsetenv("GROVE_KERNELS");
    assert_int_equal(kernels_choose(EMBED_F32, &chosen, &error), GROVE_OK);
    assert_true(chosen->supported() && chosen->real != &kernels_exact);
    assert_int_equal(kernels_choose(EMBED_REDUCED, &chosen, &error), GROVE_OK);
    assert_true(chosen->supported() && chosen->fused);
    setenv("GROVE_KERNELS", "plain", 1);
    assert_int_equal(kernels_choose(EMBED_REDUCED, &chosen, &error), GROVE_OK);
    assert_string_equal(chosen->name, "plain");
    setenv("GROVE_KERNELS", "abacus", 1);
    chosen = NULL;
    assert_int_equal(kernels_choose(EMBED_F32, &chosen, &error), GROVE_INVALID);
    assert_null(chosen);
    assert_non_null(strstr(error.message, "\"abacus\""));
    assert_non_null(strstr(error.hint, "reference, plain, exact"));
    unsetenv("GROVE_KERNELS");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_product),    cmocka_unit_test(test_attend),
        cmocka_unit_test(test_gelu),       cmocka_unit_test(test_add_norm),
        cmocka_unit_test(test_softmax),    cmocka_unit_test(test_quantize),
        cmocka_unit_test(test_dot),        cmocka_unit_test(test_dequantize),
        cmocka_unit_test(test_not_finite), cmocka_unit_test(test_choice),
    };
    return cmocka_run_group_tests(tests, find_sets, NULL);
}
