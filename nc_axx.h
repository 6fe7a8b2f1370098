/* nc_axx.h - neural networks on approximate 8-bit multipliers
   version 0.1.0 - MIT or public domain, see the end of the file

   Copy this file into your project; nothing else is needed. In ONE C or C++ file:

       #define NC_IMPLEMENTATION
       #include "nc_axx.h"

   Quick example:

       #include <stdio.h>
       #define NC_IMPLEMENTATION
       #include "nc_axx.h"
       int main(void) {
           static nc_axx_mult m;
           nc_axx_metrics e;
           if (nc_axx_truncated(&m, 6) != NC_OK) return 1;
           nc_axx_measure(&m, &e);
           printf("%s: 37 * -5 = %d, mean error %.2f, worst %d\n", m.name,
                  (int)nc_axx_product(&m, 37, -5), e.mae, (int)e.wce);
           return 0;
       }

   Contents (search for the tag):
     >>types     multipliers, metrics
     >>api       multipliers, quantisation, layers
     >>scalar    generators, metrics, quantisation, linear layer
     >>io        loading and saving tables
     >>changelog

   Options, defined before including:
     NC_API, NC_STATIC     how functions are declared; NC_STATIC makes all of them static
     NC_MALLOC, NC_FREE    memory while a file is read
     NC_NO_STDIO           no file access

   Conventions: operands are int8; the product of a and b is table[(a + 128) * 256 + (b + 128)].
   Matrices are row-major. Quantisation is symmetric: q = round(x * scale) with ties to even, and
   an integer sum s of products stands for s / (scale_x * scale_w). */

#ifndef NC_AXX_H
#define NC_AXX_H

/* ==== nc base: the same block, to the letter, in every nc_*.h ====================== */
#ifndef NC_BASE_DEFINED
#define NC_BASE_DEFINED
#include <stddef.h>
#include <stdint.h>

#if defined(__GNUC__)
#define NC_UNUSED __attribute__((unused))
#else
#define NC_UNUSED
#endif
#ifndef NC_API /* how public functions are declared; NC_STATIC makes them private to the file */
#if defined(NC_STATIC)
#define NC_API static NC_UNUSED
#elif defined(__cplusplus)
#define NC_API extern "C"
#else
#define NC_API extern
#endif
#endif

/* Result of every function that can fail. 0 is success; values are stable across versions. */
typedef enum nc_status {
    NC_OK = 0,
    NC_ERR_ARG = 1,         /* an argument outside its documented range */
    NC_ERR_MEMORY = 2,      /* the allocator returned null */
    NC_ERR_IO = 3,          /* a file could not be opened, read, written or renamed */
    NC_ERR_FORMAT = 4,      /* input bytes or text that break their format */
    NC_ERR_LIMIT = 5,       /* well-formed input beyond a documented limit */
    NC_ERR_UNSUPPORTED = 6, /* valid, but not possible in this build or on this machine */
    NC_ERR_DEVICE = 7,      /* GPU driver, device or kernel file missing or failing */
    NC_ERR_MISMATCH = 8,    /* two things that must agree do not (checksum, shape, proof) */
    NC_ERR_CANCELLED = 9,   /* the progress callback asked to stop */
    NC_ERR_MATH = 10        /* no result exists: inverse of 0, root of a non-residue */
} nc_status;

/* Where and why: line and column count from 1, 0 = not applicable. Message ends with NUL. */
typedef struct nc_error {
    nc_status status;
    int32_t line;
    int32_t column;
    char message[160];
} nc_error;

/* Memory hooks. A null nc_allocator pointer, or null members, mean malloc and free. alloc_fn
 * returns memory aligned to `align` (a power of two up to 64) or null; free_fn gets the same
 * byte count back. Both must be callable from the thread that calls the library. */
typedef struct nc_allocator {
    void *(*alloc_fn)(void *user, size_t bytes, size_t align);
    void (*free_fn)(void *user, void *ptr, size_t bytes);
    void *user;
} nc_allocator;

/* Called during long work with done of total; return nonzero to cancel (NC_ERR_CANCELLED). */
typedef int (*nc_progress_fn)(void *user, uint64_t done, uint64_t total);

/* Static text for a status, never null; unknown values give "unknown status". */
NC_API const char *nc_status_str(nc_status status);
#endif
/* ==== end of nc base =============================================================== */

/* >>types ========================================================================== */

/* A multiplier as the table of all its products. 256 KiB: keep it static or on the heap. */
typedef struct nc_axx_mult {
    char name[48];
    float relative_power; /* exact = 1; 0 when nobody has published it */
    uint32_t reserved;
    int32_t table[65536];
} nc_axx_mult;

/* Error against the exact product over all 65,536 operand pairs, e = approximate - exact. */
typedef struct nc_axx_metrics {
    double mae;  /* mean |e| */
    double wce;  /* largest |e| */
    double mre;  /* mean |e| / max(|exact|, 1), in percent */
    double ep;   /* share of pairs with e != 0, in percent */
    double mse;  /* mean e^2 */
    double rmse; /* its root */
    double bias; /* mean e */
    double wcre; /* largest |e| / max(|exact|, 1), in percent */
} nc_axx_metrics;

/* >>api ============================================================================ */

/* -- multipliers: generators fill *m, name included; signed operands go by sign and magnitude -- */

/* The exact product, mul8s_acc. */
NC_API void nc_axx_exact(nc_axx_mult *m);
/* Array multiplier of magnitudes without its `columns` lowest partial-product columns, 0 to 15
 * (NC_ERR_ARG beyond). */
NC_API nc_status nc_axx_truncated(nc_axx_mult *m, uint32_t columns);
/* Broken-array multiplier (Mahdiani et al., 2010): carry-save cells in rows below `horizontal`
 * or in columns below `vertical` are left out. horizontal 0 to 8, vertical 0 to 15. */
NC_API nc_status nc_axx_broken_array(nc_axx_mult *m, uint32_t horizontal, uint32_t vertical);
/* Mitchell's logarithmic multiplier (1962): log2(1 + f) is taken as f. */
NC_API void nc_axx_mitchell(nc_axx_mult *m);
/* DRUM-k (Hashemi, Bahar, Reda, 2015): the k leading bits of each magnitude, the lowest of them
 * set to unbias the cut. k 3 to 8. */
NC_API nc_status nc_axx_drum(nc_axx_mult *m, uint32_t k);
/* One product. exact: the table entry. */
NC_API int32_t nc_axx_product(const nc_axx_mult *m, int8_t a, int8_t b);
/* Exhaustive error metrics. */
NC_API void nc_axx_measure(const nc_axx_mult *m, nc_axx_metrics *metrics);
/* Table from 131,072 bytes of little-endian int16. NC_ERR_FORMAT for any other size. *m is
 * changed only on success; relative_power becomes 0. */
NC_API nc_status nc_axx_parse_i16(nc_axx_mult *m, const char *name, const uint8_t *data,
                                  size_t bytes, nc_error *err);
#ifndef NC_NO_STDIO
/* The same from a file; the name is the file's, without folder and ending. */
NC_API nc_status nc_axx_load_i16(nc_axx_mult *m, const char *path, nc_error *err);
/* Write such a file atomically. NC_ERR_LIMIT when a product does not fit 16 bits. */
NC_API nc_status nc_axx_save_i16(const nc_axx_mult *m, const char *path, nc_error *err);
#endif

/* -- quantisation -------------------------------------------------------------------------- */

/* Largest |x| of n values; 0 for none. NaN and infinities are skipped. */
NC_API float nc_axx_amax(const float *x, size_t n);
/* (2^(bits-1) - 1) / amax, bits 2 to 8; 0 when amax is below 2^-24 or bits out of range: such a
 * tensor quantises to zeros. */
NC_API float nc_axx_scale(float amax, uint32_t bits);
/* q[i] = clamp(round(x[i] * scale), -2^(bits-1), 2^(bits-1) - 1), ties to even, NaN gives 0.
 * bits outside 2 to 8 are taken as 8. */
NC_API void nc_axx_quantize(int8_t *q, const float *x, size_t n, float scale, uint32_t bits);

/* -- layers ---------------------------------------------------------------------------------- */

/* y (rows x out) = dequantised sum over k of product(x[r][k], w[o][k]) + bias[o]. x is rows x k,
 * w is out x k; w_scale holds one scale per output, bias may be null. A zero scale makes the
 * product 0. NC_ERR_ARG for null pointers, NC_ERR_LIMIT for k above 65,535 (32-bit sums).
 * exact: integer sums; one float32 rounding each for conversion, scales, division and bias. */
NC_API nc_status nc_axx_linear(const nc_axx_mult *m, const int8_t *x, float x_scale,
                               const int8_t *w, const float *w_scale, const float *bias, float *y,
                               size_t rows, size_t k, size_t out);

#endif /* NC_AXX_H */

/* ================================== implementation ==================================== */
#if defined(NC_IMPLEMENTATION) && !defined(NC_AXX_IMPLEMENTED)
#define NC_AXX_IMPLEMENTED

/* ==== nc base implementation: the same block, to the letter, in every nc_*.h ======= */
#ifndef NC_BASE_IMPLEMENTED
#define NC_BASE_IMPLEMENTED
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#ifndef NC_MALLOC
#define NC_MALLOC(bytes) malloc(bytes)
#define NC_FREE(ptr) free(ptr)
#endif
#ifndef NC_ASSERT /* checks of debug builds; nothing unless the user says what */
#define NC_ASSERT(condition) ((void)0)
#endif
#ifndef NC_MAX_FILE_BYTES /* files larger than this are refused, not read */
#define NC_MAX_FILE_BYTES (SIZE_MAX > UINT32_MAX ? (size_t)1 << 16 << 16 : (size_t)1 << 30)
#endif
#if !defined(NC_NO_STDIO) && (defined(__unix__) || defined(__APPLE__))
#include <fcntl.h>
#include <unistd.h>
#ifndef __cplusplus
extern int fsync(int fd); /* hidden by strict -std=c99 in some C libraries */
#endif
#elif !defined(NC_NO_STDIO) && defined(_WIN32)
#include <io.h>
#ifdef __cplusplus
extern "C"
#endif
    __declspec(dllimport) int __stdcall MoveFileExA(const char *from, const char *to,
                                                    unsigned long flags);
#endif

/* Several C files may each hold an implementation of a different header: this one function is
 * shared by all of them, so it is weak where that exists. */
#if defined(__GNUC__) && !defined(NC_STATIC) && !defined(_WIN32)
NC_API __attribute__((weak)) const char *nc_status_str(nc_status status);
#endif
NC_API const char *nc_status_str(nc_status status) {
    static const char *const text[] = {"ok",
                                       "invalid argument",
                                       "out of memory",
                                       "input/output error",
                                       "malformed input",
                                       "limit exceeded",
                                       "unsupported",
                                       "device error",
                                       "mismatch",
                                       "cancelled",
                                       "no mathematical result"};
    unsigned i = (unsigned)status;
    return i < sizeof text / sizeof text[0] ? text[i] : "unknown status";
}

/* Fill *err (may be null) and return status, so that callers write `return nc__fail(...)`. */
#if defined(__GNUC__)
__attribute__((format(printf, 5, 6)))
#endif
static NC_UNUSED nc_status
nc__fail(nc_error *err, nc_status status, size_t line, size_t column, const char *format, ...) {
    if (err) {
        va_list args;
        va_start(args, format);
        err->status = status;
        err->line = line > INT32_MAX ? INT32_MAX : (int32_t)line;
        err->column = column > INT32_MAX ? INT32_MAX : (int32_t)column;
        vsnprintf(err->message, sizeof err->message, format, args);
        va_end(args);
    }
    return status;
}

static NC_UNUSED void nc__clear(nc_error *err) {
    if (err) memset(err, 0, sizeof *err);
}

/* a * b, or SIZE_MAX when it overflows; no allocation of SIZE_MAX bytes ever succeeds. */
static NC_UNUSED size_t nc__mul_size(size_t a, size_t b) {
    return b != 0 && a > SIZE_MAX / b ? SIZE_MAX : a * b;
}

static NC_UNUSED size_t nc__add_size(size_t a, size_t b) {
    return a > SIZE_MAX - b ? SIZE_MAX : a + b;
}

/* 64-byte aligned memory. Without hooks the original pointer is kept just below the block. */
static NC_UNUSED void *nc__alloc(const nc_allocator *hooks, size_t bytes) {
    char *raw, *aligned;
    if (bytes >= SIZE_MAX - 128) return NULL;
    if (bytes == 0) bytes = 1;
    if (hooks && hooks->alloc_fn) return hooks->alloc_fn(hooks->user, bytes, 64);
    raw = (char *)NC_MALLOC(bytes + 64 + sizeof(void *));
    if (!raw) return NULL;
    aligned = raw + sizeof(void *);
    aligned += (64 - (uintptr_t)aligned % 64) % 64;
    memcpy(aligned - sizeof(void *), &raw, sizeof raw);
    return aligned;
}

static NC_UNUSED void *nc__calloc(const nc_allocator *hooks, size_t bytes) {
    void *ptr = nc__alloc(hooks, bytes);
    if (ptr) memset(ptr, 0, bytes);
    return ptr;
}

static NC_UNUSED void nc__free(const nc_allocator *hooks, void *ptr, size_t bytes) {
    void *raw;
    if (!ptr) return;
    if (hooks && hooks->free_fn) {
        hooks->free_fn(hooks->user, ptr, bytes ? bytes : 1);
    } else if (!hooks || !hooks->alloc_fn) {
        memcpy(&raw, (char *)ptr - sizeof raw, sizeof raw);
        NC_FREE(raw);
    }
}

/* Little-endian integers in files, whatever the machine. */
static NC_UNUSED void nc__put_le(uint8_t *out, uint64_t value, size_t bytes) {
    size_t i;
    for (i = 0; i < bytes; i++) out[i] = (uint8_t)(value >> (8 * i));
}

static NC_UNUSED uint64_t nc__get_le(const uint8_t *in, size_t bytes) {
    uint64_t value = 0;
    size_t i;
    for (i = 0; i < bytes; i++) value |= (uint64_t)in[i] << (8 * i);
    return value;
}

/* FNV-1a, 64 bits. Each step is a bijection of the state, so one changed byte always shows. */
#define NC__FNV_START UINT64_C(0xcbf29ce484222325)
static NC_UNUSED uint64_t nc__fnv1a(uint64_t hash, const void *data, size_t bytes) {
    const uint8_t *p = (const uint8_t *)data;
    size_t i;
    for (i = 0; i < bytes; i++) hash = (hash ^ p[i]) * UINT64_C(0x100000001b3);
    return hash;
}

/* Philox4x32-10 (Salmon, Moraes, Dror, Shaw: Parallel random numbers, SC 2011): counter and
 * key in, four uniform 32-bit words out. The one generator of the house. */
static NC_UNUSED void nc__philox(uint64_t seed, uint64_t counter_lo, uint64_t counter_hi,
                                 uint32_t out[4]) {
    uint32_t c0 = (uint32_t)counter_lo, c1 = (uint32_t)(counter_lo >> 32);
    uint32_t c2 = (uint32_t)counter_hi, c3 = (uint32_t)(counter_hi >> 32);
    uint32_t k0 = (uint32_t)seed, k1 = (uint32_t)(seed >> 32);
    int round;
    for (round = 0; round < 10; round++) {
        uint64_t a = (uint64_t)UINT32_C(0xD2511F53) * c0;
        uint64_t b = (uint64_t)UINT32_C(0xCD9E8D57) * c2;
        c0 = (uint32_t)(b >> 32) ^ c1 ^ k0;
        c2 = (uint32_t)(a >> 32) ^ c3 ^ k1;
        c1 = (uint32_t)b;
        c3 = (uint32_t)a;
        k0 += UINT32_C(0x9E3779B9);
        k1 += UINT32_C(0xBB67AE85);
    }
    out[0] = c0;
    out[1] = c1;
    out[2] = c2;
    out[3] = c3;
}

/* Best instruction set of this machine: 0 portable, 1 AVX2 + FMA, 2 AVX-512 F BW DQ VL. */
static NC_UNUSED int nc__cpu_level(void) {
#if !defined(NC_NO_SIMD) && defined(__GNUC__) && defined(__x86_64__)
    __builtin_cpu_init();
    if (!__builtin_cpu_supports("avx2") || !__builtin_cpu_supports("fma")) return 0;
    if (__builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") &&
        __builtin_cpu_supports("avx512dq") && __builtin_cpu_supports("avx512vl"))
        return 2;
    return 1;
#else
    return 0;
#endif
}

typedef struct nc__span {
    const void *data;
    size_t bytes;
} nc__span;

#ifndef NC_NO_STDIO
/* Whole file into fresh memory (free with *bytes + 1: a NUL follows the data). */
static NC_UNUSED nc_status nc__file_read(const char *path, const nc_allocator *hooks,
                                         uint8_t **data, size_t *bytes, nc_error *err) {
    FILE *file = fopen(path, "rb");
    uint8_t *buffer = NULL, *grown;
    size_t capacity = 0, used = 0, got;
    nc_status status = NC_OK;
    *data = NULL;
    *bytes = 0;
    if (!file) return nc__fail(err, NC_ERR_IO, 0, 0, "cannot open '%.120s'", path);
    do {
        if (capacity - used < 2) {
            size_t larger = capacity ? capacity * 2 : 65536;
            grown = larger > NC_MAX_FILE_BYTES ? NULL : (uint8_t *)nc__alloc(hooks, larger);
            if (!grown) {
                status = larger > NC_MAX_FILE_BYTES ? NC_ERR_LIMIT : NC_ERR_MEMORY;
                nc__fail(err, status, 0, 0, "'%.120s' is too large", path);
                break;
            }
            if (used) memcpy(grown, buffer, used);
            nc__free(hooks, buffer, capacity);
            buffer = grown;
            capacity = larger;
        }
        got = fread(buffer + used, 1, capacity - used - 1, file);
        used += got;
    } while (got > 0);
    if (status == NC_OK && ferror(file))
        status = nc__fail(err, NC_ERR_IO, 0, 0, "cannot read '%.120s'", path);
    fclose(file);
    if (status == NC_OK) { /* shrink to exactly bytes + 1, the size the caller frees */
        *data = (uint8_t *)nc__alloc(hooks, used + 1);
        if (!*data) status = nc__fail(err, NC_ERR_MEMORY, 0, 0, "out of memory for '%.120s'", path);
    }
    if (*data) {
        if (used) memcpy(*data, buffer, used);
        (*data)[used] = 0;
        *bytes = used;
    }
    nc__free(hooks, buffer, capacity);
    return status;
}

/* Make the renamed directory entry durable too; best effort, some file systems refuse. */
static NC_UNUSED void nc__sync_directory(const char *path) {
#if defined(__unix__) || defined(__APPLE__)
    const char *slash = strrchr(path, '/');
    char name[4096];
    size_t n = slash ? (size_t)(slash - path) + 1 : 1;
    int fd;
    if (n >= sizeof name) return;
    memcpy(name, slash ? path : ".", n);
    name[n] = 0;
    fd = open(name, O_RDONLY);
    if (fd < 0) return;
    (void)fsync(fd);
    (void)close(fd);
#else
    (void)path;
#endif
}

/* Write the spans to a temporary file beside `path`, fsync, rename over it: a crash at any
 * moment leaves the old file or the new one. */
static NC_UNUSED nc_status nc__file_write(const char *path, const nc__span *spans, size_t count,
                                          nc_error *err) {
    char temporary[4096];
    FILE *file;
    size_t i;
    int ok = 1;
    if (strlen(path) > sizeof temporary - 64)
        return nc__fail(err, NC_ERR_ARG, 0, 0, "path is too long");
#if defined(__unix__) || defined(__APPLE__)
    snprintf(temporary, sizeof temporary, "%s.tmp%ld.%lx", path, (long)getpid(),
             (unsigned long)((uintptr_t)temporary >> 4));
#else
    snprintf(temporary, sizeof temporary, "%s.tmp%lx", path,
             (unsigned long)((uintptr_t)temporary >> 4));
#endif
    file = fopen(temporary, "wb");
    if (!file) return nc__fail(err, NC_ERR_IO, 0, 0, "cannot create '%.120s'", temporary);
    for (i = 0; i < count && ok; i++)
        ok =
            spans[i].bytes == 0 || fwrite(spans[i].data, 1, spans[i].bytes, file) == spans[i].bytes;
    ok = fflush(file) == 0 && ok;
#if defined(__unix__) || defined(__APPLE__)
    {
        int fd = -1; /* fileno is hidden by strict -std=c99: reopen to reach a descriptor */
        if (ok) fd = open(temporary, O_WRONLY);
        ok = ok && fd >= 0 && fsync(fd) == 0;
        if (fd >= 0) (void)close(fd);
    }
#elif defined(_WIN32)
    ok = ok && _commit(_fileno(file)) == 0;
#endif
    ok = fclose(file) == 0 && ok;
#if defined(_WIN32)
    ok = ok && MoveFileExA(temporary, path, 1 | 8); /* replace existing, write through */
#else
    ok = ok && rename(temporary, path) == 0;
#endif
    if (!ok) {
        (void)remove(temporary);
        return nc__fail(err, NC_ERR_IO, 0, 0, "cannot write '%.120s'", path);
    }
    nc__sync_directory(path);
    return NC_OK;
}
#endif /* NC_NO_STDIO */
#endif
/* ==== end of nc base implementation ================================================ */

#include <math.h>

/* Every rounding below is written out: nothing may be fused. */
#if defined(__clang__)
#pragma STDC FP_CONTRACT OFF
#elif defined(__GNUC__)
#pragma GCC push_options
#pragma GCC optimize("fp-contract=off")
#endif

/* >>scalar ========================================================================= */

/* A multiplier of magnitudes up to 128 with its parameters. */
typedef uint32_t (*nc_axx__magnitude_fn)(uint32_t a, uint32_t b, uint32_t p, uint32_t q);

static void nc_axx__fill(nc_axx_mult *m, nc_axx__magnitude_fn fn, uint32_t p, uint32_t q) {
    int a, b;
    m->relative_power = 0.0f;
    m->reserved = 0;
    for (a = -128; a < 128; a++)
        for (b = -128; b < 128; b++) {
            uint32_t product = fn((uint32_t)(a < 0 ? -a : a), (uint32_t)(b < 0 ? -b : b), p, q);
            m->table[(a + 128) * 256 + b + 128] =
                (a < 0) != (b < 0) ? -(int32_t)product : (int32_t)product;
        }
}

static uint32_t nc_axx__exact(uint32_t a, uint32_t b, uint32_t p, uint32_t q) {
    (void)p;
    (void)q;
    return a * b;
}

/* Partial products a_i b_j of rows j >= p and columns i + j >= q. */
static uint32_t nc_axx__array(uint32_t a, uint32_t b, uint32_t p, uint32_t q) {
    uint32_t i, j, sum = 0;
    for (j = p; j < 8; j++)
        for (i = j < q ? q - j : 0; i < 8; i++) sum += ((a >> i) & (b >> j) & 1) << (i + j);
    return sum;
}

static uint32_t nc_axx__log2(uint32_t x) {
    uint32_t n = 0;
    while (x >> (n + 1)) n++;
    return n;
}

/* With x = 2^k (1 + f): 2^(ka + kb) (1 + fa + fb), or twice (fa + fb) when that passes 1. */
static uint32_t nc_axx__mitchell(uint32_t a, uint32_t b, uint32_t p, uint32_t q) {
    uint32_t ka, kb, sum, one;
    (void)p;
    (void)q;
    if (a == 0 || b == 0) return 0;
    ka = nc_axx__log2(a);
    kb = nc_axx__log2(b);
    one = 1u << (ka + kb);
    sum = ((a - (1u << ka)) << kb) + ((b - (1u << kb)) << ka); /* (fa + fb) 2^(ka + kb) */
    return sum < one ? one + sum : 2 * sum;
}

/* The k leading bits of x in place, the lowest kept bit set; short numbers stay. */
static uint32_t nc_axx__leading(uint32_t x, uint32_t k) {
    uint32_t n = x ? nc_axx__log2(x) : 0, cut;
    if (n < k) return x;
    cut = n - k + 1;
    return ((x >> cut) | 1) << cut;
}

static uint32_t nc_axx__drum(uint32_t a, uint32_t b, uint32_t k, uint32_t q) {
    (void)q;
    return nc_axx__leading(a, k) * nc_axx__leading(b, k);
}

NC_API void nc_axx_exact(nc_axx_mult *m) {
    nc_axx__fill(m, nc_axx__exact, 0, 0);
    m->relative_power = 1.0f;
    snprintf(m->name, sizeof m->name, "mul8s_acc");
}

NC_API nc_status nc_axx_truncated(nc_axx_mult *m, uint32_t columns) {
    if (!m || columns > 15) return NC_ERR_ARG;
    nc_axx__fill(m, nc_axx__array, 0, columns);
    snprintf(m->name, sizeof m->name, "truncated_%u", (unsigned)columns);
    return NC_OK;
}

NC_API nc_status nc_axx_broken_array(nc_axx_mult *m, uint32_t horizontal, uint32_t vertical) {
    if (!m || horizontal > 8 || vertical > 15) return NC_ERR_ARG;
    nc_axx__fill(m, nc_axx__array, horizontal, vertical);
    snprintf(m->name, sizeof m->name, "broken_array_%u_%u", (unsigned)horizontal,
             (unsigned)vertical);
    return NC_OK;
}

NC_API void nc_axx_mitchell(nc_axx_mult *m) {
    nc_axx__fill(m, nc_axx__mitchell, 0, 0);
    snprintf(m->name, sizeof m->name, "mitchell");
}

NC_API nc_status nc_axx_drum(nc_axx_mult *m, uint32_t k) {
    if (!m || k < 3 || k > 8) return NC_ERR_ARG;
    nc_axx__fill(m, nc_axx__drum, k, 0);
    snprintf(m->name, sizeof m->name, "drum_%u", (unsigned)k);
    return NC_OK;
}

NC_API int32_t nc_axx_product(const nc_axx_mult *m, int8_t a, int8_t b) {
    return m->table[(a + 128) * 256 + b + 128];
}

NC_API void nc_axx_measure(const nc_axx_mult *m, nc_axx_metrics *metrics) {
    nc_axx_metrics e = {0, 0, 0, 0, 0, 0, 0, 0};
    int a, b;
    for (a = -128; a < 128; a++)
        for (b = -128; b < 128; b++) {
            double exact = (double)(a * b);
            double error = (double)m->table[(a + 128) * 256 + b + 128] - exact;
            double size = error < 0 ? -error : error;
            double base = exact < 0 ? -exact : exact, relative = size / (base < 1 ? 1 : base);
            e.mae += size;
            e.mre += relative;
            e.mse += error * error;
            e.bias += error;
            e.ep += error != 0;
            if (size > e.wce) e.wce = size;
            if (relative > e.wcre) e.wcre = relative;
        }
    e.mae /= 65536;
    e.mre /= 655.36;
    e.ep /= 655.36;
    e.mse /= 65536;
    e.bias /= 65536;
    e.wcre *= 100;
    e.rmse = sqrt(e.mse);
    *metrics = e;
}

NC_API float nc_axx_amax(const float *x, size_t n) {
    float max = 0.0f;
    size_t i;
    for (i = 0; i < n; i++) {
        float a = x[i] < 0 ? -x[i] : x[i];
        if (a > max && a <= 3.402823466e38f) max = a;
    }
    return max;
}

NC_API float nc_axx_scale(float amax, uint32_t bits) {
    if (bits < 2 || bits > 8 || !(amax >= 5.9604644775390625e-8f)) return 0.0f;
    return (float)((1u << (bits - 1)) - 1) / amax;
}

NC_API void nc_axx_quantize(int8_t *q, const float *x, size_t n, float scale, uint32_t bits) {
    int top = bits < 2 || bits > 8 ? 127 : (1 << (bits - 1)) - 1;
    size_t i;
    for (i = 0; i < n; i++) {
        float v = x[i] * scale;
        if (v != v) v = 0.0f;
        v = v > (float)top ? (float)top : v < (float)(-top - 1) ? (float)(-top - 1) : v;
        v = (v + 12582912.0f) - 12582912.0f; /* 1.5 * 2^23: the addition rounds to even */
        q[i] = (int8_t)v;
    }
}

NC_API nc_status nc_axx_linear(const nc_axx_mult *m, const int8_t *x, float x_scale,
                               const int8_t *w, const float *w_scale, const float *bias, float *y,
                               size_t rows, size_t k, size_t out) {
    ptrdiff_t r;
    if (!m || !x || !w || !w_scale || !y) return NC_ERR_ARG;
    if (k > 65535) return NC_ERR_LIMIT;
#ifdef _OPENMP
#pragma omp parallel for schedule(static)
#endif
    for (r = 0; r < (ptrdiff_t)rows; r++) {
        const int8_t *row = x + (size_t)r * k;
        size_t o, i;
        for (o = 0; o < out; o++) {
            const int8_t *column = w + o * k;
            float scale = x_scale * w_scale[o], value = 0.0f;
            int64_t sum = 0;
            for (i = 0; i < k; i++) sum += m->table[(row[i] + 128) * 256 + column[i] + 128];
            if (scale != 0.0f) value = (float)sum / scale;
            y[(size_t)r * out + o] = bias ? value + bias[o] : value;
        }
    }
    return NC_OK;
}

/* >>io ============================================================================= */

NC_API nc_status nc_axx_parse_i16(nc_axx_mult *m, const char *name, const uint8_t *data,
                                  size_t bytes, nc_error *err) {
    size_t i;
    nc__clear(err);
    if (!m || !name || (!data && bytes)) return nc__fail(err, NC_ERR_ARG, 0, 0, "null argument");
    if (bytes != 131072)
        return nc__fail(err, NC_ERR_FORMAT, 0, 0, "an int16 table has 131072 bytes, not %lu",
                        (unsigned long)bytes);
    for (i = 0; i < 65536; i++) {
        int32_t v = (int32_t)nc__get_le(data + 2 * i, 2);
        m->table[i] = v >= 32768 ? v - 65536 : v;
    }
    m->relative_power = 0.0f;
    m->reserved = 0;
    snprintf(m->name, sizeof m->name, "%.40s", name);
    return NC_OK;
}

#ifndef NC_NO_STDIO
NC_API nc_status nc_axx_load_i16(nc_axx_mult *m, const char *path, nc_error *err) {
    const char *slash, *dot;
    char name[41];
    uint8_t *data;
    size_t bytes, n;
    nc_status status;
    if (!path) return nc__fail(err, NC_ERR_ARG, 0, 0, "no path");
    status = nc__file_read(path, NULL, &data, &bytes, err);
    if (status != NC_OK) return status;
    slash = strrchr(path, '/');
    path = slash ? slash + 1 : path;
    dot = strrchr(path, '.');
    n = dot ? (size_t)(dot - path) : strlen(path);
    if (n > 40) n = 40;
    memcpy(name, path, n);
    name[n] = 0;
    status = nc_axx_parse_i16(m, name, data, bytes, err);
    nc__free(NULL, data, bytes + 1);
    return status;
}

NC_API nc_status nc_axx_save_i16(const nc_axx_mult *m, const char *path, nc_error *err) {
    uint8_t *data;
    nc__span span;
    nc_status status;
    size_t i;
    nc__clear(err);
    if (!m || !path) return nc__fail(err, NC_ERR_ARG, 0, 0, "null argument");
    for (i = 0; i < 65536; i++)
        if (m->table[i] < -32768 || m->table[i] > 32767)
            return nc__fail(err, NC_ERR_LIMIT, 0, 0, "product %d of %d * %d does not fit 16 bits",
                            (int)m->table[i], (int)(i >> 8) - 128, (int)(i & 255) - 128);
    data = (uint8_t *)nc__alloc(NULL, 131072);
    if (!data) return nc__fail(err, NC_ERR_MEMORY, 0, 0, "out of memory");
    for (i = 0; i < 65536; i++) nc__put_le(data + 2 * i, (uint64_t)(int64_t)m->table[i], 2);
    span.data = data;
    span.bytes = 131072;
    status = nc__file_write(path, &span, 1, err);
    nc__free(NULL, data, 131072);
    return status;
}
#endif

#if defined(__clang__)
#pragma STDC FP_CONTRACT DEFAULT
#elif defined(__GNUC__)
#pragma GCC pop_options
#endif

#endif /* NC_IMPLEMENTATION */

/* >>changelog
   0.1.0  first version

   This software is available under two licences; choose whichever you prefer.
   ALTERNATIVE A - MIT License. Copyright (c) 2026 the nc authors. Permission is hereby granted,
   free of charge, to any person obtaining a copy of this software and associated documentation
   files (the "Software"), to deal in the Software without restriction, including without
   limitation the rights to use, copy, modify, merge, publish, distribute, sublicense, and/or
   sell copies of the Software, and to permit persons to whom the Software is furnished to do
   so, subject to the following conditions: the above copyright notice and this permission
   notice shall be included in all copies or substantial portions of the Software. THE SOFTWARE
   IS PROVIDED "AS IS", WITHOUT WARRANTY OF ANY KIND, EXPRESS OR IMPLIED, INCLUDING BUT NOT
   LIMITED TO THE WARRANTIES OF MERCHANTABILITY, FITNESS FOR A PARTICULAR PURPOSE AND
   NONINFRINGEMENT. IN NO EVENT SHALL THE AUTHORS OR COPYRIGHT HOLDERS BE LIABLE FOR ANY CLAIM,
   DAMAGES OR OTHER LIABILITY, WHETHER IN AN ACTION OF CONTRACT, TORT OR OTHERWISE, ARISING
   FROM, OUT OF OR IN CONNECTION WITH THE SOFTWARE OR THE USE OR OTHER DEALINGS IN THE SOFTWARE.
   ALTERNATIVE B - public domain (www.unlicense.org). This is free and unencumbered software
   released into the public domain. Anyone is free to copy, modify, publish, use, compile, sell,
   or distribute this software, in source or binary form, for any purpose, commercial or
   non-commercial, and by any means. */
