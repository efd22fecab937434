// SPDX-License-Identifier: Apache-2.0
#include "embed/kernels.h"

#include <stdlib.h>

#if defined(__x86_64__)
#include <cpuid.h>
#elif defined(__aarch64__)
#include <sys/auxv.h>
#endif

#include "base/attr.h"
#include "base/check.h"
#include "base/strbuf.h"

static bool always(void)
{
    return true;
}

#if defined(__x86_64__)
static bool has_avx2(void)
{
    __builtin_cpu_init();
    return __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma");
}

static bool has_avxvnni(void)
{
    unsigned a = 0, b = 0, c = 0, d = 0;
    return has_avx2() && __get_cpuid_count(7, 1, &a, &b, &c, &d) && (a & 1U << 4);
}

static bool has_avx512(void)
{
    return has_avx2() && __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") &&
           __builtin_cpu_supports("avx512vl");
}

static bool has_avx512vnni(void)
{
    return has_avx512() && __builtin_cpu_supports("avx512vnni");
}

static bool has_amx(void)
{
    return has_avx512vnni() && kernels_amx_supported();
}
#elif defined(__aarch64__)
static bool has_dotprod(void)
{
    const unsigned long dotprod = 1UL << 20; // HWCAP_ASIMDDP
    return (getauxval(AT_HWCAP) & dotprod) != 0;
}
#endif

// Slowest first. Some tables have the same loops of real numbers as the one before them and differ
// in those of whole numbers. f32 uses real numbers only, so it takes the first of such tables; the
// reduced precision takes the last.
static const struct kernels all[] = {
    {"reference", &kernels_reference, &kernels_reference_whole, false, always},
    {"plain", &kernels_plain, &kernels_reference_whole, false, always},
    {"exact", &kernels_exact, &kernels_reference_whole, true, always},
#if defined(__x86_64__)
    {"avx2", &kernels_avx2, &kernels_avx2_whole, true, has_avx2},
    {"avxvnni", &kernels_avx2, &kernels_avxvnni_whole, true, has_avxvnni},
    {"avx512", &kernels_avx512, &kernels_avx512_whole, true, has_avx512},
    {"avx512vnni", &kernels_avx512, &kernels_avx512vnni_whole, true, has_avx512vnni},
    {"amx", &kernels_avx512, &kernels_amx_whole, true, has_amx},
#elif defined(__aarch64__)
    {"neon", &kernels_neon, &kernels_neon_whole, true, always},
    {"dotprod", &kernels_neon, &kernels_dotprod_whole, true, has_dotprod},
#endif
};

size_t kernels_count(void)
{
    return ARRAY_COUNT(all);
}

const struct kernels *kernels_at(size_t index)
{
    CHECK(index < ARRAY_COUNT(all));
    return &all[index];
}

static const struct kernels *find(const char *name)
{
    for (size_t i = 0; i < ARRAY_COUNT(all); i++)
        if (text_equal(text_of(all[i].name), text_of(name)) && all[i].supported())
            return &all[i];
    return NULL;
}

static enum grove_code choose_named(const char *name, const struct kernels **ret_kernels,
                                    struct grove_error *error)
{
    const struct kernels *found = find(name);
    if (found) {
        *ret_kernels = found;
        return GROVE_OK;
    }
    enum grove_code code =
        error_set(error, GROVE_INVALID,
                  "GROVE_KERNELS names \"%.100s\", which is unknown or cannot run here", name);
    struct strbuf possible;
    strbuf_init(&possible, 1000);
    for (size_t i = 0; i < ARRAY_COUNT(all); i++)
        if (all[i].supported())
            strbuf_addf(&possible, "%s%s", possible.length > 0 ? ", " : "", all[i].name);
    if (!possible.failed)
        error_hint(error, "possible here: %s; or leave it unset", possible.data);
    strbuf_release(&possible);
    return code;
}

const struct kernels *kernels_of_equal_bits(void)
{
    const struct kernels *best = NULL;
    for (size_t i = 0; i < ARRAY_COUNT(all); i++)
        if (all[i].fused && all[i].supported())
            best = &all[i];
    CHECK(best);
    return best;
}

enum grove_code kernels_choose(enum embed_precision precision, const struct kernels **ret_kernels,
                               struct grove_error *error)
{
    const char *name = getenv("GROVE_KERNELS");
    if (name && name[0] != '\0')
        return choose_named(name, ret_kernels, error);
    if (precision == EMBED_REDUCED) {
        *ret_kernels = kernels_of_equal_bits();
        return GROVE_OK;
    }
    const struct kernels *best = NULL;
    for (size_t i = 0; i < ARRAY_COUNT(all); i++) {
        bool same = best && best->real == all[i].real;
        if (all[i].real != &kernels_exact && !same && all[i].supported())
            best = &all[i];
    }
    CHECK(best);
    *ret_kernels = best;
    return GROVE_OK;
}
