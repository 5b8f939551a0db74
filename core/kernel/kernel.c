/* kernel.c - which kernel this processor runs. */
#include "config.h"

#include "kernel.h"

#include "../latent/base.h"
#include "../latent/model.h"

#include <cblas.h>
#ifdef LAT_X86_64
#include <cpuid.h>
#include <sys/syscall.h>
#include <unistd.h>
#endif
#include <string.h>

static bool have_any(void)
{
    return true;
}

#ifdef LAT_X86_64
static bool have_avx2(void)
{
    return __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma");
}

static bool have_avx512(void)
{
    return __builtin_cpu_supports("avx512f");
}

static bool have_avx512_bf16(void)
{
    return __builtin_cpu_supports("avx512bf16");
}

/* Tiles are memory of each thread, which the system gives only when asked. */
static bool have_amx(void)
{
    enum { TILE = 1 << 24, BF16 = 1 << 22, ASK = 0x1023, TILE_DATA = 18 };
    unsigned a, b, c, d;

    return __get_cpuid_count(7, 0, &a, &b, &c, &d) && (d & TILE) &&
           (d & BF16) && have_avx512_bf16() &&
           syscall(SYS_arch_prctl, ASK, TILE_DATA) == 0;
}
#endif

/* The fastest first; of one name the first that there is. */
static const struct {
    const struct lat_kernel *kernel;
    bool (*have)(void);
} kernels[] = {
#ifdef LAT_X86_64
    {&lat__kernel_amx, have_amx},
    {&lat__kernel_avx512_bf16, have_avx512_bf16},
    {&lat__kernel_avx512, have_avx512},
    {&lat__kernel_avx2, have_avx2},
#endif
    {&lat__kernel_blas, have_any},
};

enum { N_KERNELS = sizeof(kernels) / sizeof(kernels[0]) };

static enum lat_code unknown(const char *name, struct lat_err *err)
{
    char names[64] = "";

    for (size_t i = 0; i < N_KERNELS; i++)
        if (kernels[i].have() && !strstr(names, kernels[i].kernel->name)) {
            strcat(names, names[0] ? ", " : "");
            strcat(names, kernels[i].kernel->name);
        }
    return lat_fail(err, LAT_ENOENT, "kernel is %s, but this processor has %s",
                    name, names);
}

enum lat_code lat_kernel_pick(const struct lat_kernel **out, const char *name,
                              struct lat_err *err)
{
    for (size_t i = 0; i < N_KERNELS; i++)
        if (kernels[i].have() &&
            (!name || !*name || strcmp(name, kernels[i].kernel->name) == 0)) {
            *out = kernels[i].kernel;
            return LAT_OK;
        }
    return unknown(name, err);
}

const char *lat_kernel_name(const struct lat_kernel *k)
{
    return k->name;
}

static const char *const precisions[LAT_N_PRECISIONS] = {
    [LAT_FLOAT32] = "float32",
    [LAT_BFLOAT16] = "bfloat16",
};

const char *lat_precision_name(enum lat_precision p)
{
    return precisions[p];
}

bool lat_precision_parse(enum lat_precision *out, const char *name)
{
    for (int p = 0; p < LAT_N_PRECISIONS; p++)
        if (strcmp(precisions[p], name) == 0) {
            *out = (enum lat_precision)p;
            return true;
        }
    return false;
}

const char *lat_kernel_way(const struct lat_kernel *k, enum lat_precision p)
{
    return p == LAT_BFLOAT16 ? k->name16 : k->name;
}

void lat_blas_single(void)
{
    openblas_set_num_threads(1);
}
