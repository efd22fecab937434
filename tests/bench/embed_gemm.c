// SPDX-License-Identifier: Apache-2.0
#include "embed_gemm.h"

#include <cblas.h>
#include <pthread.h>
#include <stddef.h>
#include <time.h>

#include "base/alloc.h"
#include "base/attr.h"
#include "base/check.h"

enum { REPETITIONS = 8, THREADS_MAX = 64 };

// c = a b, a is [rows][inner], b is [inner][columns], or [columns][inner] as weights are.
struct shape {
    int rows, inner, columns;
    bool transposed;
};

static const struct shape shapes[] = {
    {512, 384, 384, true},    {512, 384, 1152, true},    {512, 384, 1536, true},
    {512, 1536, 384, true},   {1024, 1024, 1024, false}, {2048, 2048, 2048, false},
    {2048, 2048, 2048, true},
};

struct multiplier {
    pthread_t thread;
    const struct shape *shape;
    pthread_barrier_t *together;
    float *a, *b, *c;
    unsigned calls; // in a repetition
    double started[REPETITIONS], ended[REPETITIONS];
};

const char *gemm_library(void)
{
    static char text[160];
    snprintf(text, sizeof text, "%.100s, %.40s", openblas_get_config(), openblas_get_corename());
    return text;
}

static double now(void)
{
    struct timespec time;
    clock_gettime(CLOCK_MONOTONIC, &time);
    return (double)time.tv_sec + (double)time.tv_nsec * 1e-9;
}

static double shape_flops(const struct shape *shape)
{
    return 2.0 * shape->rows * shape->inner * shape->columns;
}

static void *multiply(void *state)
{
    struct multiplier *self = state;
    const struct shape *shape = self->shape;
    for (unsigned repetition = 0; repetition < REPETITIONS; repetition++) {
        pthread_barrier_wait(self->together);
        self->started[repetition] = now();
        for (unsigned call = 0; call < self->calls; call++)
            cblas_sgemm(CblasRowMajor, CblasNoTrans, shape->transposed ? CblasTrans : CblasNoTrans,
                        shape->rows, shape->columns, shape->inner, 1.0F, self->a, shape->inner,
                        self->b, shape->transposed ? shape->inner : shape->columns, 0.0F, self->c,
                        shape->columns);
        self->ended[repetition] = now();
    }
    return NULL;
}

static float *matrix_new(int rows, int columns)
{
    size_t count = (size_t)rows * (size_t)columns;
    float *matrix = mem_alloc_aligned(64, count * sizeof *matrix);
    for (size_t i = 0; matrix && i < count; i++)
        matrix[i] = (float)(i % 17) / 16.0F - 0.5F;
    return matrix;
}

static bool multiplier_init(struct multiplier *self, const struct shape *shape,
                            pthread_barrier_t *together)
{
    // About a thousandth of a second to a few hundredths: short enough to find a quiet moment.
    double calls = 1e9 / shape_flops(shape);
    *self = (struct multiplier){
        .shape = shape,
        .together = together,
        .a = matrix_new(shape->rows, shape->inner),
        .b = matrix_new(shape->inner, shape->columns),
        .c = matrix_new(shape->rows, shape->columns),
        .calls = calls < 1 ? 1 : (unsigned)calls,
    };
    return self->a && self->b && self->c;
}

static void multiplier_release(struct multiplier *self)
{
    mem_free(self->a);
    mem_free(self->b);
    mem_free(self->c);
}

// All threads' work by the time from the first start to the last end, of the best repetition.
static double best_gflops(const struct multiplier *multipliers, unsigned threads)
{
    double best = 0;
    for (unsigned repetition = 0; repetition < REPETITIONS; repetition++) {
        double started = multipliers[0].started[repetition];
        double ended = multipliers[0].ended[repetition];
        for (unsigned i = 1; i < threads; i++) {
            if (multipliers[i].started[repetition] < started)
                started = multipliers[i].started[repetition];
            if (multipliers[i].ended[repetition] > ended)
                ended = multipliers[i].ended[repetition];
        }
        double work = threads * multipliers[0].calls * shape_flops(multipliers[0].shape);
        double gflops = work / (ended - started) * 1e-9;
        best = gflops > best ? gflops : best;
    }
    return best;
}

// 0 when memory or threads ran out.
static double measure_shape(const struct shape *shape, unsigned threads)
{
    struct multiplier multipliers[THREADS_MAX] = {0};
    pthread_barrier_t together;
    if (pthread_barrier_init(&together, NULL, threads) != 0)
        return 0;
    bool good = true;
    for (unsigned i = 0; i < threads; i++)
        good = multiplier_init(&multipliers[i], shape, &together) && good;
    for (unsigned i = 1; good && i < threads; i++)
        // Whoever started waits at the barrier: there is no way back from half of them.
        CHECK(pthread_create(&multipliers[i].thread, NULL, multiply, &multipliers[i]) == 0);
    if (good)
        multiply(&multipliers[0]);
    for (unsigned i = 1; good && i < threads; i++)
        pthread_join(multipliers[i].thread, NULL);
    double gflops = good ? best_gflops(multipliers, threads) : 0;
    for (unsigned i = 0; i < threads; i++)
        multiplier_release(&multipliers[i]);
    pthread_barrier_destroy(&together);
    return gflops;
}

bool gemm_measure(unsigned threads, FILE *output)
{
    CHECK(threads >= 1 && threads <= THREADS_MAX);
    openblas_set_num_threads(1);
    double best = 0;
    fprintf(output, "{\"shapes\": [");
    for (size_t i = 0; i < ARRAY_COUNT(shapes); i++) {
        double gflops = measure_shape(&shapes[i], threads);
        if (gflops <= 0)
            return false;
        fprintf(output, "%s{\"rows\": %d, \"inner\": %d, \"columns\": %d, \"gflops\": %.2f}",
                i == 0 ? "" : ", ", shapes[i].rows, shapes[i].inner, shapes[i].columns, gflops);
        best = gflops > best ? gflops : best;
    }
    fprintf(output, "], \"gflops\": %.2f}\n", best);
    return true;
}
