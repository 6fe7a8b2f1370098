/* nc_fp4.h - 4-bit floats, and exact Boolean circuits made of 4-bit threshold neurons
   version 0.1.0 - MIT or public domain, see the end of the file

   Copy this file into your project, together with stb_ds.h (Debian: libstb-dev, or any copy
   beside this file). In ONE C or C++ file:

       #define NC_IMPLEMENTATION
       #include "nc_fp4.h"

   Quick example:

       #include <stdio.h>
       #define NC_IMPLEMENTATION
       #include "nc_fp4.h"
       int main(void) {
           nc_fp4_circuit *adder;
           nc_fp4_report report;
           if (nc_fp4_adder(&adder, 4, NULL) != NC_OK) return 1;
           nc_fp4_verify(adder, nc_fp4_adder_spec, adder, &report);
           printf("4-bit adder: %u threshold units, %llu of %llu cases right\n", report.units,
                  (unsigned long long)(report.cases - report.wrong),
                  (unsigned long long)report.cases);
           nc_fp4_destroy(adder);
           return 0;
       }

   Contents (search for the tag):
     >>types     formats, atoms, circuits
     >>api       codes, block formats, atoms, circuits
     >>scalar    E2M1, E8M0, E4M3, NF4 and bitsandbytes codes; block quantisation
     >>public    atoms, circuit builder, evaluation, verification
     >>changelog

   Options, defined before including:
     NC_API, NC_STATIC        how functions are declared; NC_STATIC makes all of them static
     NC_MALLOC, NC_FREE       default allocator where no nc_allocator is passed
     NC_REALLOC               with NC_FREE, what stb_ds.h grows its arrays with
     NC_STB_DS_EXTERNAL       another file compiles STB_DS_IMPLEMENTATION

   Conventions: an E2M1 code is 4 bits, sign in bit 3, magnitudes 0 0.5 1 1.5 2 3 4 6 in bits 0
   to 2. Packed codes hold element 2i in the low nibble of byte i and 2i+1 in the high one; an
   odd tail leaves the last high nibble 0. */

#ifndef NC_FP4_H
#define NC_FP4_H

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

typedef enum nc_fp4_format {
    NC_FP4_E2M1 = 0,  /* plain codes, no scale */
    NC_FP4_MXFP4 = 1, /* OCP Microscaling 1.0: E2M1, blocks of 32, E8M0 scale byte */
    NC_FP4_NVFP4 = 2, /* E2M1, blocks of 16, E4M3 scale byte, one float32 for the tensor */
    NC_FP4_NF4 = 3,   /* QLoRA's 16 normal quantiles, blocks of 64, float32 absmax */
    NC_FP4_BNB = 4    /* bitsandbytes FP4, blocks of 64, float32 absmax */
} nc_fp4_format;

/* Error of a quantised copy y of x. */
typedef struct nc_fp4_error_stats {
    double mse;     /* mean of (x - y)^2 */
    double max_abs; /* largest |x - y| */
    double snr_db;  /* 10 log10(sum x^2 / sum (x - y)^2); 999 when equal */
} nc_fp4_error_stats;

/* A threshold unit: y = [ sum weight[i] * x[input[i]] > threshold ]; weights and threshold are
 * E2M1 codes, so every sum is an exact multiple of 1/2. */
#define NC_FP4_UNIT_INPUTS 4
typedef struct nc_fp4_unit {
    uint32_t input[NC_FP4_UNIT_INPUTS]; /* wires; in an atom: 0.. inputs-1, then earlier units */
    uint8_t weight[NC_FP4_UNIT_INPUTS]; /* E2M1 codes */
    uint8_t inputs;
    uint8_t threshold; /* E2M1 code */
    uint8_t reserved[2];
} nc_fp4_unit;

typedef enum nc_fp4_atom_kind {
    NC_FP4_AND = 0,
    NC_FP4_OR,
    NC_FP4_NAND,
    NC_FP4_NOR,
    NC_FP4_NOT,
    NC_FP4_XOR,
    NC_FP4_XNOR,
    NC_FP4_SUM,   /* a ^ b ^ c */
    NC_FP4_CARRY, /* majority of a, b, c */
    NC_FP4_MUX,   /* inputs s, a, b: s ? b : a */
    NC_FP4_ATOM_COUNT
} nc_fp4_atom_kind;

/* An atom with one output: the value of its last unit. Bit i of `truth` is the output for the
 * inputs x[j] = bit j of i. */
typedef struct nc_fp4_atom {
    const char *name;
    uint32_t inputs;
    uint32_t units;
    uint32_t truth;
    nc_fp4_unit unit[2];
} nc_fp4_atom;

/* What verification found. */
typedef struct nc_fp4_report {
    uint64_t cases;        /* input combinations tried: all of them */
    uint64_t wrong;        /* of these, with a wrong output */
    uint64_t first_wrong;  /* the first such combination */
    uint32_t units;        /* threshold units of the network */
    uint32_t parameters;   /* weights and thresholds */
    uint32_t bytes_packed; /* parameters at 4 bits, whole bytes per network */
    uint32_t bytes_float;  /* parameters as float32 */
    double margin;         /* least |sum - threshold| over all units and cases */
} nc_fp4_report;

/* A network of threshold units, built wire by wire. */
typedef struct nc_fp4_circuit nc_fp4_circuit;

/* The truth to verify against: outputs (bit k = output k) for one input combination. */
typedef uint64_t (*nc_fp4_spec_fn)(void *user, uint64_t inputs);

/* >>api ============================================================================ */

/* -- codes --------------------------------------------------------------------------- */

/* Nearest E2M1 code, ties to even codes, saturating at 6; -0 keeps its sign; NaN gives +6 (as
 * the CUDA conversion does). exact: yes. */
NC_API uint8_t nc_fp4_encode(float x);
/* Value of an E2M1 code (low 4 bits). */
NC_API float nc_fp4_decode(uint8_t code);
/* E4M3 (1-4-3, bias 7, no infinity): nearest, ties to even, saturating at 448, NaN 0x7F. */
NC_API uint8_t nc_fp4_e4m3_encode(float x);
/* Value of an E4M3 code; 0x7F and 0xFF are NaN. */
NC_API float nc_fp4_e4m3_decode(uint8_t code);
/* 2^(code - 127); 255 is NaN. */
NC_API float nc_fp4_e8m0_decode(uint8_t code);
/* Nearest of the 16 NF4 values; a tie takes the lower code, NaN code 7 (0). Input within [-1, 1]
 * after division by the block's absmax. */
NC_API uint8_t nc_fp4_nf4_encode(float x);
/* Value of an NF4 code. */
NC_API float nc_fp4_nf4_decode(uint8_t code);
/* Nearest of the bitsandbytes FP4 values; a tie takes the smaller magnitude, NaN code 0. */
NC_API uint8_t nc_fp4_bnb_encode(float x);
/* Value of a bitsandbytes FP4 code. */
NC_API float nc_fp4_bnb_decode(uint8_t code);

/* -- block formats --------------------------------------------------------------------- */

/* Elements per scale; 0 for plain E2M1. */
NC_API size_t nc_fp4_block(nc_fp4_format format);
/* Bytes of packed codes for n elements: (n + 1) / 2. */
NC_API size_t nc_fp4_code_bytes(size_t n);
/* Bytes of scales for n elements: one byte a block for MXFP4 and NVFP4, a little-endian float32
 * for NF4 and BNB, none for E2M1. The last block may be short. */
NC_API size_t nc_fp4_scale_bytes(nc_fp4_format format, size_t n);
/* Quantise n values. MXFP4: shared exponent floor(log2(absmax)) - 2. NVFP4: tensor scale
 * absmax / (6 * 448), block scale absmax / (6 * tensor scale) as E4M3. NF4, BNB: absmax. A block
 * holding NaN or infinity gets a NaN scale and decodes to NaN. *tensor_scale is 1 but for NVFP4.
 * Errors: NC_ERR_ARG for a null pointer or unknown format. */
NC_API nc_status nc_fp4_quantize(nc_fp4_format format, const float *x, size_t n, uint8_t *codes,
                                 uint8_t *scales, float *tensor_scale);
/* The values that n codes stand for. */
NC_API nc_status nc_fp4_dequantize(nc_fp4_format format, const uint8_t *codes,
                                   const uint8_t *scales, float tensor_scale, size_t n, float *x);
/* Error of y against x, n values, in float64. */
NC_API void nc_fp4_compare(const float *x, const float *y, size_t n, nc_fp4_error_stats *stats);

/* -- atoms ------------------------------------------------------------------------------ */

/* The built-in atom; null for an unknown kind. Static memory. */
NC_API const nc_fp4_atom *nc_fp4_get_atom(nc_fp4_atom_kind kind);
/* Evaluate an atom on every input combination against its truth table. NC_OK when the atom is
 * well formed (compare report->wrong with 0), NC_ERR_ARG when a unit reads a later value. */
NC_API nc_status nc_fp4_verify_atom(const nc_fp4_atom *atom, nc_fp4_report *report);

/* -- circuits ---------------------------------------------------------------------------- */

/* An empty circuit; free with nc_fp4_destroy. */
NC_API nc_status nc_fp4_create(nc_fp4_circuit **circuit, const nc_allocator *hooks);
/* Release; null is fine. */
NC_API void nc_fp4_destroy(nc_fp4_circuit *circuit);
/* Append an input and return its wire through *wire. Inputs come before the first atom:
 * NC_ERR_ARG afterwards. */
NC_API nc_status nc_fp4_add_input(nc_fp4_circuit *circuit, uint32_t *wire);
/* Append an atom reading wires in[0..inputs-1]; *out is its output wire. Equal units on equal
 * wires are shared, so SUM and CARRY of the same wires cost two units together. NC_ERR_ARG for a
 * wire that does not exist, NC_ERR_LIMIT beyond 2^24 wires. */
NC_API nc_status nc_fp4_add_atom(nc_fp4_circuit *circuit, nc_fp4_atom_kind kind, const uint32_t *in,
                                 uint32_t *out);
/* Append an output that shows a wire. */
NC_API nc_status nc_fp4_add_output(nc_fp4_circuit *circuit, uint32_t wire);
/* Sizes of a circuit. */
NC_API uint32_t nc_fp4_input_count(const nc_fp4_circuit *circuit);
/* Number of outputs. */
NC_API uint32_t nc_fp4_output_count(const nc_fp4_circuit *circuit);
/* Number of threshold units. */
NC_API uint32_t nc_fp4_unit_count(const nc_fp4_circuit *circuit);
/* Unit i (its value is wire nc_fp4_input_count + i); null beyond the end. Valid until the next
 * nc_fp4_add_atom. */
NC_API const nc_fp4_unit *nc_fp4_get_unit(const nc_fp4_circuit *circuit, uint32_t i);

/* Evaluate one case in float32, the reference: wires[inputs + units] is scratch. */
NC_API void nc_fp4_eval_float(const nc_fp4_circuit *circuit, const float *in, float *out,
                              float *wires);
/* Evaluate 64 cases at once: bit c of in[i] is input i of case c. wires[inputs + units] is
 * scratch. exact: equals nc_fp4_eval_float on every case. */
NC_API void nc_fp4_eval_sliced(const nc_fp4_circuit *circuit, const uint64_t *in, uint64_t *out,
                               uint64_t *wires);
/* Try all 2^inputs combinations against spec. NC_ERR_LIMIT above 26 inputs or 64 outputs,
 * NC_ERR_MEMORY. The margin comes from float evaluation of up to 2^16 cases spread evenly. */
NC_API nc_status nc_fp4_verify(const nc_fp4_circuit *circuit, nc_fp4_spec_fn spec, void *user,
                               nc_fp4_report *report);
/* Ripple-carry adder: inputs a0.. b0.. carry-in, outputs the sum bits and the carry. 1 to 4,096
 * bits (NC_ERR_ARG otherwise), two units a bit. */
NC_API nc_status nc_fp4_adder(nc_fp4_circuit **circuit, uint32_t bits, const nc_allocator *hooks);
/* The truth of nc_fp4_adder, with the circuit as user. For up to 21 bits. */
NC_API uint64_t nc_fp4_adder_spec(void *circuit, uint64_t inputs);

#endif /* NC_FP4_H */

/* ================================== implementation ==================================== */
#if defined(NC_IMPLEMENTATION) && !defined(NC_FP4_IMPLEMENTED)
#define NC_FP4_IMPLEMENTED

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

/* stb_ds.h: the system's or a copy beside this file, its symbols renamed so that they never
 * meet another copy in the program. To use it in your own code too, include it before this file. */
#ifndef INCLUDE_STB_DS_H
#define STBDS_NO_SHORT_NAMES
#ifndef NC_STB_DS_EXTERNAL
#define STB_DS_IMPLEMENTATION
#ifdef NC_REALLOC
#define STBDS_REALLOC(context, ptr, bytes) NC_REALLOC(ptr, bytes)
#define STBDS_FREE(context, ptr) NC_FREE(ptr)
#endif
#define stbds_rand_seed nc_fp4_stbds_rand_seed
#define stbds_hash_bytes nc_fp4_stbds_hash_bytes
#define stbds_hash_string nc_fp4_stbds_hash_string
#define stbds_stralloc nc_fp4_stbds_stralloc
#define stbds_strreset nc_fp4_stbds_strreset
#define stbds_unit_tests nc_fp4_stbds_unit_tests
#define stbds_arrgrowf nc_fp4_stbds_arrgrowf
#define stbds_arrfreef nc_fp4_stbds_arrfreef
#define stbds_hmfree_func nc_fp4_stbds_hmfree_func
#define stbds_hmget_key nc_fp4_stbds_hmget_key
#define stbds_hmget_key_ts nc_fp4_stbds_hmget_key_ts
#define stbds_hmput_default nc_fp4_stbds_hmput_default
#define stbds_hmput_key nc_fp4_stbds_hmput_key
#define stbds_hmdel_key nc_fp4_stbds_hmdel_key
#define stbds_shmode_func nc_fp4_stbds_shmode_func
#endif
#if defined(__GNUC__)
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wconversion"
#pragma GCC diagnostic ignored "-Wmissing-field-initializers"
#pragma GCC diagnostic ignored "-Wsign-conversion"
#pragma GCC diagnostic ignored "-Wshadow"
#pragma GCC diagnostic ignored "-Wcast-qual"
#pragma GCC diagnostic ignored "-Wcast-align"
#pragma GCC diagnostic ignored "-Wundef"
#endif
#if defined(__has_include)
#if __has_include("stb_ds.h")
#include "stb_ds.h"
#else
#include <stb/stb_ds.h>
#endif
#else
#include <stb/stb_ds.h>
#endif
#if defined(__GNUC__)
#pragma GCC diagnostic pop
#endif
#undef STB_DS_IMPLEMENTATION
#undef stbds_header /* the same, through void *: our elements may be less aligned than it */
#define stbds_header(t) ((stbds_array_header *)(void *)(t)-1)
#endif

#include <math.h>

/* >>scalar ========================================================================= */

static uint32_t nc_fp4__bits(float x) {
    uint32_t u;
    memcpy(&u, &x, sizeof u);
    return u;
}

static float nc_fp4__float(uint32_t u) {
    float x;
    memcpy(&x, &u, sizeof x);
    return x;
}

static const float nc_fp4__e2m1[16] = {0.0f,  0.5f,  1.0f,  1.5f,  2.0f,  3.0f,  4.0f,  6.0f,
                                       -0.0f, -0.5f, -1.0f, -1.5f, -2.0f, -3.0f, -4.0f, -6.0f};

NC_API float nc_fp4_decode(uint8_t code) { return nc_fp4__e2m1[code & 15]; }

NC_API uint8_t nc_fp4_encode(float x) {
    /* Midpoints between neighbours; at one, the even code wins, so odd codes need a strict
     * inequality above the lower midpoint and even ones take both ends. */
    static const float midpoint[7] = {0.25f, 0.75f, 1.25f, 1.75f, 2.5f, 3.5f, 5.0f};
    uint8_t sign = (uint8_t)(nc_fp4__bits(x) >> 31 << 3), code = 0;
    float a = x < 0 ? -x : x;
    int i;
    if (x != x) return 7;
    for (i = 0; i < 7; i++) code = (uint8_t)(code + (i % 2 ? a >= midpoint[i] : a > midpoint[i]));
    return (uint8_t)(sign | code);
}

NC_API float nc_fp4_e4m3_decode(uint8_t code) {
    int exponent = (code >> 3) & 15, mantissa = code & 7;
    float value;
    if ((code & 0x7F) == 0x7F) return nc_fp4__float(UINT32_C(0x7FC00000));
    if (exponent == 0)
        value = (float)mantissa / 512.0f;
    else
        value = nc_fp4__float(((uint32_t)(exponent + 120) << 23) | ((uint32_t)mantissa << 20));
    return code & 0x80 ? -value : value;
}

NC_API uint8_t nc_fp4_e4m3_encode(float x) {
    uint32_t u = nc_fp4__bits(x), sign = (u >> 24) & 0x80, a = u & UINT32_C(0x7FFFFFFF), rounded;
    if (x != x) return 0x7F;
    if (a >= UINT32_C(0x43E00000)) return (uint8_t)(sign | 0x7E); /* 448 and above */
    if (a < UINT32_C(0x3C800000)) { /* below 2^-6: multiples of 2^-9, ties to even by the adder */
        float shifted = nc_fp4__float(a) + 16384.0f; /* unit in the last place 2^-9 */
        return (uint8_t)(sign | (nc_fp4__bits(shifted) & 15));
    }
    rounded = a + UINT32_C(0x7FFFF) + ((a >> 20) & 1); /* round the 20 dropped bits to even */
    rounded = (rounded >> 20) - (120u << 3);
    return (uint8_t)(sign | (rounded > 0x7E ? 0x7E : rounded));
}

NC_API float nc_fp4_e8m0_decode(uint8_t code) {
    if (code == 255) return nc_fp4__float(UINT32_C(0x7FC00000));
    return nc_fp4__float(code ? (uint32_t)code << 23 : UINT32_C(0x00400000));
}

/* Quantiles of the normal distribution, normalised (Dettmers et al., QLoRA, 2023, appendix E). */
static const float nc_fp4__nf4[16] = {-1.0f,
                                      -0.6961928009986877f,
                                      -0.5250730514526367f,
                                      -0.39491748809814453f,
                                      -0.28444138169288635f,
                                      -0.18477343022823334f,
                                      -0.09105003625154495f,
                                      0.0f,
                                      0.07958029955625534f,
                                      0.16093020141124725f,
                                      0.24611230194568634f,
                                      0.33791524171829224f,
                                      0.44070982933044434f,
                                      0.5626170039176941f,
                                      0.7229568362236023f,
                                      1.0f};

/* bitsandbytes' FP4 magnitudes, in its code order. */
static const float nc_fp4__bnb[8] = {0.0f, 0.005208333333f, 0.66666667f, 1.0f, 0.33333333f,
                                     0.5f, 0.16666667f,     0.25f};

/* Nearest table entry by distance; the first of equals in table order. */
static uint8_t nc_fp4__nearest(const float *table, int n, float x) {
    int i, best = 0;
    for (i = 1; i < n; i++) {
        float d = x - table[i], e = x - table[best];
        if ((d < 0 ? -d : d) < (e < 0 ? -e : e)) best = i;
    }
    return (uint8_t)best;
}

NC_API uint8_t nc_fp4_nf4_encode(float x) {
    return x != x ? 7 : nc_fp4__nearest(nc_fp4__nf4, 16, x);
}

NC_API float nc_fp4_nf4_decode(uint8_t code) { return nc_fp4__nf4[code & 15]; }

NC_API uint8_t nc_fp4_bnb_encode(float x) {
    static const uint8_t ascending[8] = {0, 1, 6, 7, 4, 5, 2, 3}; /* codes by magnitude */
    float sorted[8], a = x < 0 ? -x : x;
    int i;
    if (x != x) return 0;
    for (i = 0; i < 8; i++) sorted[i] = nc_fp4__bnb[ascending[i]];
    return (uint8_t)(ascending[nc_fp4__nearest(sorted, 8, a)] | (nc_fp4__bits(x) >> 31 << 3));
}

NC_API float nc_fp4_bnb_decode(uint8_t code) {
    return code & 8 ? -nc_fp4__bnb[code & 7] : nc_fp4__bnb[code & 7];
}

NC_API size_t nc_fp4_block(nc_fp4_format format) {
    switch (format) {
    case NC_FP4_MXFP4: return 32;
    case NC_FP4_NVFP4: return 16;
    case NC_FP4_NF4:
    case NC_FP4_BNB: return 64;
    default: return 0;
    }
}

NC_API size_t nc_fp4_code_bytes(size_t n) { return n / 2 + n % 2; }

NC_API size_t nc_fp4_scale_bytes(nc_fp4_format format, size_t n) {
    size_t block = nc_fp4_block(format), blocks;
    if (!block) return 0;
    blocks = n / block + (n % block != 0);
    return format == NC_FP4_NF4 || format == NC_FP4_BNB ? 4 * blocks : blocks;
}

/* Largest |x| of n values, or NaN when one is NaN or infinite. */
static float nc_fp4__absmax(const float *x, size_t n) {
    uint32_t max = 0;
    size_t i;
    for (i = 0; i < n; i++) {
        uint32_t a = nc_fp4__bits(x[i]) & UINT32_C(0x7FFFFFFF);
        max = a > max ? a : max; /* magnitudes order like their bits */
    }
    return nc_fp4__float(max >= UINT32_C(0x7F800000) ? UINT32_C(0x7FC00000) : max);
}

/* Scale of one block: its code in file form, and its value (0 for an all-zero block). */
static float nc_fp4__block_scale(nc_fp4_format format, float absmax, float tensor_scale,
                                 uint8_t *out) {
    uint8_t code;
    if (format == NC_FP4_MXFP4) {
        uint32_t exponent = nc_fp4__bits(absmax) >> 23; /* floor(log2) + 127; subnormals: 0 */
        code = (uint8_t)(absmax != absmax ? 255 : exponent > 2 ? exponent - 2 : 0);
        *out = code;
        return nc_fp4_e8m0_decode(code);
    }
    if (format == NC_FP4_NVFP4) {
        code = nc_fp4_e4m3_encode(tensor_scale > 0 ? absmax / (6.0f * tensor_scale) : absmax);
        *out = code;
        return nc_fp4_e4m3_decode(code) * tensor_scale;
    }
    nc__put_le(out, nc_fp4__bits(absmax), 4);
    return absmax;
}

static float nc_fp4__read_scale(nc_fp4_format format, const uint8_t *scales, size_t block,
                                float tensor_scale) {
    if (format == NC_FP4_MXFP4) return nc_fp4_e8m0_decode(scales[block]);
    if (format == NC_FP4_NVFP4) return nc_fp4_e4m3_decode(scales[block]) * tensor_scale;
    return nc_fp4__float((uint32_t)nc__get_le(scales + 4 * block, 4));
}

static uint8_t nc_fp4__encode_as(nc_fp4_format format, float x) {
    if (format == NC_FP4_NF4) return nc_fp4_nf4_encode(x);
    if (format == NC_FP4_BNB) return nc_fp4_bnb_encode(x);
    return nc_fp4_encode(x);
}

static float nc_fp4__decode_as(nc_fp4_format format, uint8_t code) {
    if (format == NC_FP4_NF4) return nc_fp4_nf4_decode(code);
    if (format == NC_FP4_BNB) return nc_fp4_bnb_decode(code);
    return nc_fp4_decode(code);
}

/* Write code i into its nibble; even elements come first and clear the byte. */
static void nc_fp4__put(uint8_t *codes, size_t i, uint8_t code) {
    codes[i / 2] = (uint8_t)(i % 2 ? codes[i / 2] | (code << 4) : code);
}

/* absmax / (6 * 448) over the finite values, so that the largest block scale is about 448. */
static float nc_fp4__tensor_scale(const float *x, size_t n) {
    float max = 0, scale;
    size_t i;
    for (i = 0; i < n; i++) {
        float a = nc_fp4__absmax(x + i, 1);
        if (a > max) max = a;
    }
    scale = max / (6.0f * 448.0f);
    return scale > 0 ? scale : 1.0f;
}

NC_API nc_status nc_fp4_quantize(nc_fp4_format format, const float *x, size_t n, uint8_t *codes,
                                 uint8_t *scales, float *tensor_scale) {
    size_t block = nc_fp4_block(format), scale_bytes, i, j, m;
    float scale = 1.0f, global = 1.0f;
    if ((unsigned)format > NC_FP4_BNB || !tensor_scale) return NC_ERR_ARG;
    if (n && (!x || !codes || (block && !scales))) return NC_ERR_ARG;
    if (format == NC_FP4_NVFP4) global = nc_fp4__tensor_scale(x, n);
    *tensor_scale = global;
    if (!block) block = n ? n : 1;
    scale_bytes = nc_fp4_scale_bytes(format, 1);
    for (i = 0; i < n; i += block) {
        m = n - i < block ? n - i : block;
        if (scale_bytes)
            scale = nc_fp4__block_scale(format, nc_fp4__absmax(x + i, m), global,
                                        scales + i / block * scale_bytes);
        for (j = i; j < i + m; j++) /* under a zero or NaN scale every value encodes as 0 */
            nc_fp4__put(codes, j, nc_fp4__encode_as(format, scale > 0 ? x[j] / scale : 0.0f));
    }
    return NC_OK;
}

NC_API nc_status nc_fp4_dequantize(nc_fp4_format format, const uint8_t *codes,
                                   const uint8_t *scales, float tensor_scale, size_t n, float *x) {
    size_t block = nc_fp4_block(format), i;
    float scale = 1.0f;
    if ((unsigned)format > NC_FP4_BNB) return NC_ERR_ARG;
    if (n && (!x || !codes || (block && !scales))) return NC_ERR_ARG;
    for (i = 0; i < n; i++) {
        uint8_t code = (uint8_t)(codes[i / 2] >> (i % 2 * 4) & 15);
        if (block && i % block == 0)
            scale = nc_fp4__read_scale(format, scales, i / block, tensor_scale);
        x[i] = nc_fp4__decode_as(format, code) * scale;
    }
    return NC_OK;
}

NC_API void nc_fp4_compare(const float *x, const float *y, size_t n, nc_fp4_error_stats *stats) {
    double noise = 0, signal = 0, max = 0;
    size_t i;
    for (i = 0; i < n; i++) {
        double d = (double)x[i] - (double)y[i];
        noise += d * d;
        signal += (double)x[i] * (double)x[i];
        if (d < 0) d = -d;
        if (!(d <= max)) max = d;
    }
    stats->mse = n ? noise / (double)n : 0;
    stats->max_abs = max;
    stats->snr_db = noise > 0 && signal > 0 ? 10 * log10(signal / noise) : noise > 0 ? -999 : 999;
}

/* >>public ========================================================================= */

/* Codes by value, for the tables below. */
#define NC_FP4__HALF 1
#define NC_FP4__ONE 2
#define NC_FP4__ONE_HALF 3
#define NC_FP4__TWO 4
#define NC_FP4__MINUS 8

/* Minimal forms: every sum keeps a distance of at least 1/2 from its threshold. SUM and CARRY
 * share the unit h = [a + b + c > 1.5]. */
static const nc_fp4_atom nc_fp4__atoms[NC_FP4_ATOM_COUNT] = {
    {"AND", 2, 1, 0x8, {{{0, 1}, {2, 2}, 2, NC_FP4__ONE_HALF, {0}}}},
    {"OR", 2, 1, 0xE, {{{0, 1}, {2, 2}, 2, NC_FP4__HALF, {0}}}},
    {"NAND", 2, 1, 0x7, {{{0, 1}, {10, 10}, 2, NC_FP4__ONE_HALF | NC_FP4__MINUS, {0}}}},
    {"NOR", 2, 1, 0x1, {{{0, 1}, {10, 10}, 2, NC_FP4__HALF | NC_FP4__MINUS, {0}}}},
    {"NOT", 1, 1, 0x1, {{{0}, {10}, 1, NC_FP4__HALF | NC_FP4__MINUS, {0}}}},
    {"XOR",
     2,
     2,
     0x6,
     {{{0, 1}, {2, 2}, 2, NC_FP4__ONE_HALF, {0}}, {{0, 1, 2}, {2, 2, 12}, 3, NC_FP4__HALF, {0}}}},
    {"XNOR",
     2,
     2,
     0x9,
     {{{0, 1}, {2, 2}, 2, NC_FP4__ONE_HALF, {0}},
      {{0, 1, 2}, {10, 10, 4}, 3, NC_FP4__HALF | NC_FP4__MINUS, {0}}}},
    {"SUM",
     3,
     2,
     0x96,
     {{{0, 1, 2}, {2, 2, 2}, 3, NC_FP4__ONE_HALF, {0}},
      {{0, 1, 2, 3}, {2, 2, 2, 12}, 4, NC_FP4__HALF, {0}}}},
    {"CARRY", 3, 1, 0xE8, {{{0, 1, 2}, {2, 2, 2}, 3, NC_FP4__ONE_HALF, {0}}}},
    {"MUX",
     3,
     2,
     0xE4, /* h = [s + b > 1.5], y = [a - s + 2h > 0.5] */
     {{{0, 2}, {2, 2}, 2, NC_FP4__ONE_HALF, {0}}, {{0, 1, 3}, {10, 2, 4}, 3, NC_FP4__HALF, {0}}}},
};

NC_API const nc_fp4_atom *nc_fp4_get_atom(nc_fp4_atom_kind kind) {
    return (unsigned)kind < NC_FP4_ATOM_COUNT ? &nc_fp4__atoms[kind] : NULL;
}

/* sum - threshold of a unit, and the smallest |sum - threshold| so far. */
static float nc_fp4__unit_sum(const nc_fp4_unit *unit, const float *wires, double *margin) {
    float sum = 0.0f, distance;
    int i;
    for (i = 0; i < unit->inputs; i++)
        sum += nc_fp4_decode(unit->weight[i]) * wires[unit->input[i]];
    sum -= nc_fp4_decode(unit->threshold);
    distance = sum < 0 ? -sum : sum;
    if ((double)distance < *margin) *margin = (double)distance;
    return sum;
}

static void nc_fp4__count(const nc_fp4_unit *unit, nc_fp4_report *report) {
    report->units++;
    report->parameters += unit->inputs + 1u;
}

static void nc_fp4__finish_report(nc_fp4_report *report, double margin) {
    report->bytes_packed = (report->parameters + 1) / 2;
    report->bytes_float = 4 * report->parameters;
    report->margin = report->units ? margin : 0;
}

NC_API nc_status nc_fp4_verify_atom(const nc_fp4_atom *atom, nc_fp4_report *report) {
    float wires[10];
    double margin = 1e9;
    uint32_t c, u, i;
    memset(report, 0, sizeof *report);
    if (!atom || atom->inputs > 5 || atom->units < 1 || atom->units > 2) return NC_ERR_ARG;
    for (u = 0; u < atom->units; u++) {
        if (atom->unit[u].inputs > NC_FP4_UNIT_INPUTS) return NC_ERR_ARG;
        for (i = 0; i < atom->unit[u].inputs; i++)
            if (atom->unit[u].input[i] >= atom->inputs + u) return NC_ERR_ARG;
        nc_fp4__count(&atom->unit[u], report);
    }
    for (c = 0; c < 1u << atom->inputs; c++) {
        for (i = 0; i < atom->inputs; i++) wires[i] = (float)(c >> i & 1);
        for (u = 0; u < atom->units; u++)
            wires[atom->inputs + u] =
                nc_fp4__unit_sum(&atom->unit[u], wires, &margin) > 0 ? 1.0f : 0.0f;
        report->cases++;
        if ((uint32_t)wires[atom->inputs + atom->units - 1] != (atom->truth >> c & 1)) {
            if (!report->wrong++) report->first_wrong = c;
        }
    }
    nc_fp4__finish_report(report, margin);
    return NC_OK;
}

typedef struct nc_fp4__shared {
    char *key;
    uint32_t value;
} nc_fp4__shared;

struct nc_fp4_circuit {
    nc_allocator hooks;
    int custom_hooks;
    uint32_t inputs;
    nc_fp4_unit *units;     /* stb_ds array */
    uint32_t *outputs;      /* stb_ds array */
    nc_fp4__shared *shared; /* stb_ds string map: unit as text -> wire */
};

NC_API nc_status nc_fp4_create(nc_fp4_circuit **out, const nc_allocator *hooks) {
    nc_fp4_circuit *circuit;
    if (!out) return NC_ERR_ARG;
    *out = circuit = (nc_fp4_circuit *)nc__calloc(hooks, sizeof **out);
    if (!circuit) return NC_ERR_MEMORY;
    if (hooks) circuit->hooks = *hooks;
    circuit->custom_hooks = hooks != NULL;
    stbds_sh_new_strdup(circuit->shared);
    return NC_OK;
}

NC_API void nc_fp4_destroy(nc_fp4_circuit *circuit) {
    nc_allocator hooks;
    int custom;
    if (!circuit) return;
    stbds_arrfree(circuit->units);
    stbds_arrfree(circuit->outputs);
    stbds_shfree(circuit->shared);
    hooks = circuit->hooks;
    custom = circuit->custom_hooks;
    nc__free(custom ? &hooks : NULL, circuit, sizeof *circuit);
}

static uint32_t nc_fp4__wires(const nc_fp4_circuit *circuit) {
    return circuit->inputs + (uint32_t)stbds_arrlenu(circuit->units);
}

NC_API nc_status nc_fp4_add_input(nc_fp4_circuit *circuit, uint32_t *wire) {
    if (!circuit || !wire || stbds_arrlenu(circuit->units)) return NC_ERR_ARG;
    if (circuit->inputs >= 1u << 24) return NC_ERR_LIMIT;
    *wire = circuit->inputs++;
    return NC_OK;
}

/* The wire of a unit with the same content, added when there is none. */
static uint32_t nc_fp4__share_unit(nc_fp4_circuit *circuit, const nc_fp4_unit *unit) {
    char key[2 * NC_FP4_UNIT_INPUTS * 5 + 4], *end = key;
    uint32_t wire;
    int i, shift;
    for (i = 0; i < unit->inputs; i++) { /* base-64 digits: four of the wire, one of the weight */
        for (shift = 0; shift < 24; shift += 6)
            *end++ = (char)('0' + (unit->input[i] >> shift & 63));
        *end++ = (char)('0' + unit->weight[i]);
    }
    *end++ = (char)('0' + unit->threshold);
    *end = 0;
    if (stbds_shgeti(circuit->shared, key) >= 0) return stbds_shget(circuit->shared, key);
    wire = nc_fp4__wires(circuit);
    stbds_arrput(circuit->units, *unit);
    stbds_shput(circuit->shared, key, wire);
    return wire;
}

NC_API nc_status nc_fp4_add_atom(nc_fp4_circuit *circuit, nc_fp4_atom_kind kind, const uint32_t *in,
                                 uint32_t *out) {
    const nc_fp4_atom *atom = nc_fp4_get_atom(kind);
    uint32_t wire[5], u, i;
    if (!circuit || !atom || !in || !out) return NC_ERR_ARG;
    if (nc_fp4__wires(circuit) + atom->units > 1u << 24) return NC_ERR_LIMIT;
    for (i = 0; i < atom->inputs; i++) {
        if (in[i] >= nc_fp4__wires(circuit)) return NC_ERR_ARG;
        wire[i] = in[i];
    }
    for (u = 0; u < atom->units; u++) {
        nc_fp4_unit unit = atom->unit[u];
        for (i = 0; i < unit.inputs; i++) unit.input[i] = wire[unit.input[i]];
        wire[atom->inputs + u] = nc_fp4__share_unit(circuit, &unit);
    }
    *out = wire[atom->inputs + atom->units - 1];
    return NC_OK;
}

NC_API nc_status nc_fp4_add_output(nc_fp4_circuit *circuit, uint32_t wire) {
    if (!circuit || wire >= nc_fp4__wires(circuit)) return NC_ERR_ARG;
    stbds_arrput(circuit->outputs, wire);
    return NC_OK;
}

NC_API uint32_t nc_fp4_input_count(const nc_fp4_circuit *circuit) { return circuit->inputs; }

NC_API uint32_t nc_fp4_output_count(const nc_fp4_circuit *circuit) {
    return (uint32_t)stbds_arrlenu(circuit->outputs);
}

NC_API uint32_t nc_fp4_unit_count(const nc_fp4_circuit *circuit) {
    return (uint32_t)stbds_arrlenu(circuit->units);
}

NC_API const nc_fp4_unit *nc_fp4_get_unit(const nc_fp4_circuit *circuit, uint32_t i) {
    return i < nc_fp4_unit_count(circuit) ? &circuit->units[i] : NULL;
}

static void nc_fp4__run_float(const nc_fp4_circuit *circuit, float *wires, double *margin) {
    uint32_t u, n = nc_fp4_unit_count(circuit);
    for (u = 0; u < n; u++)
        wires[circuit->inputs + u] =
            nc_fp4__unit_sum(&circuit->units[u], wires, margin) > 0 ? 1.0f : 0.0f;
}

NC_API void nc_fp4_eval_float(const nc_fp4_circuit *circuit, const float *in, float *out,
                              float *wires) {
    double margin = 0;
    uint32_t i;
    memcpy(wires, in, circuit->inputs * sizeof *in);
    nc_fp4__run_float(circuit, wires, &margin);
    for (i = 0; i < nc_fp4_output_count(circuit); i++) out[i] = wires[circuit->outputs[i]];
}

/* Bit a of the result: does the unit fire on the assignment a of its inputs? In half units, so
 * integers: 2 * E2M1 value. */
static uint32_t nc_fp4__unit_truth(const nc_fp4_unit *unit) {
    uint32_t truth = 0, a;
    int i;
    for (a = 0; a < 1u << unit->inputs; a++) {
        int sum = -(int)(2.0f * nc_fp4_decode(unit->threshold));
        for (i = 0; i < unit->inputs; i++)
            if (a >> i & 1) sum += (int)(2.0f * nc_fp4_decode(unit->weight[i]));
        truth |= (uint32_t)(sum > 0) << a;
    }
    return truth;
}

/* 64 evaluations of one unit: Shannon expansion of its truth table, a mux per inner node. */
static uint64_t nc_fp4__unit_sliced(const nc_fp4_unit *unit, const uint64_t *wires) {
    uint64_t leaf[1 << NC_FP4_UNIT_INPUTS] = {0};
    uint32_t truth = nc_fp4__unit_truth(unit), a, n = 1u << unit->inputs;
    int i;
    for (a = 0; a < n; a++) leaf[a] = 0 - (uint64_t)(truth >> a & 1);
    for (i = 0; i < unit->inputs; i++) {
        uint64_t x = wires[unit->input[i]];
        n /= 2;
        for (a = 0; a < n; a++) leaf[a] = leaf[2 * a] ^ (x & (leaf[2 * a] ^ leaf[2 * a + 1]));
    }
    return leaf[0];
}

NC_API void nc_fp4_eval_sliced(const nc_fp4_circuit *circuit, const uint64_t *in, uint64_t *out,
                               uint64_t *wires) {
    uint32_t u, i, n = nc_fp4_unit_count(circuit);
    memmove(wires, in, circuit->inputs * sizeof *in);
    for (u = 0; u < n; u++)
        wires[circuit->inputs + u] = nc_fp4__unit_sliced(&circuit->units[u], wires);
    for (i = 0; i < nc_fp4_output_count(circuit); i++) out[i] = wires[circuit->outputs[i]];
}

/* Word of input i for the 64 consecutive cases from `first` (a multiple of 64) on. */
static uint64_t nc_fp4__counting_word(uint32_t i, uint64_t first) {
    static const uint64_t low[6] = {UINT64_C(0xAAAAAAAAAAAAAAAA), UINT64_C(0xCCCCCCCCCCCCCCCC),
                                    UINT64_C(0xF0F0F0F0F0F0F0F0), UINT64_C(0xFF00FF00FF00FF00),
                                    UINT64_C(0xFFFF0000FFFF0000), UINT64_C(0xFFFFFFFF00000000)};
    return i < 6 ? low[i] : 0 - (first >> i & 1);
}

/* Least margin over up to 2^16 input combinations spread evenly over all of them. */
static double nc_fp4__sample_margin(const nc_fp4_circuit *circuit, uint64_t cases, float *wires) {
    uint64_t stride = cases > 65536 ? cases / 65536 : 1, c;
    double margin = 1e9;
    uint32_t i;
    for (c = 0; c < cases; c += stride) {
        for (i = 0; i < circuit->inputs; i++) wires[i] = (float)(c >> i & 1);
        nc_fp4__run_float(circuit, wires, &margin);
    }
    return margin;
}

NC_API nc_status nc_fp4_verify(const nc_fp4_circuit *circuit, nc_fp4_spec_fn spec, void *user,
                               nc_fp4_report *report) {
    uint32_t outputs, i, u;
    uint64_t cases, first, *wires, out[64];
    size_t bytes;
    if (!circuit || !spec || !report) return NC_ERR_ARG;
    memset(report, 0, sizeof *report);
    outputs = nc_fp4_output_count(circuit);
    if (circuit->inputs > 26 || outputs > 64) return NC_ERR_LIMIT;
    bytes = (nc_fp4__wires(circuit) + 1) * sizeof *wires;
    wires = (uint64_t *)nc__alloc(circuit->custom_hooks ? &circuit->hooks : NULL, bytes);
    if (!wires) return NC_ERR_MEMORY;
    cases = UINT64_C(1) << circuit->inputs;
    for (first = 0; first < cases; first += 64) {
        uint64_t block = cases - first < 64 ? cases - first : 64, c;
        for (i = 0; i < circuit->inputs; i++) wires[i] = nc_fp4__counting_word(i, first);
        nc_fp4_eval_sliced(circuit, wires, out, wires);
        for (c = 0; c < block; c++) {
            uint64_t expected = spec(user, first + c), got = 0;
            for (i = 0; i < outputs; i++) got |= (out[i] >> c & 1) << i;
            if (got != expected && !report->wrong++) report->first_wrong = first + c;
        }
    }
    report->cases = cases;
    for (u = 0; u < nc_fp4_unit_count(circuit); u++) nc_fp4__count(&circuit->units[u], report);
    nc_fp4__finish_report(report, nc_fp4__sample_margin(circuit, cases, (float *)(void *)wires));
    nc__free(circuit->custom_hooks ? &circuit->hooks : NULL, wires, bytes);
    return NC_OK;
}

NC_API nc_status nc_fp4_adder(nc_fp4_circuit **out, uint32_t bits, const nc_allocator *hooks) {
    nc_fp4_circuit *circuit;
    nc_status status;
    uint32_t i, wire[3], carry = 0, sum;
    if (!out) return NC_ERR_ARG;
    *out = NULL;
    if (bits == 0 || bits > 4096) return NC_ERR_ARG;
    status = nc_fp4_create(&circuit, hooks);
    if (status != NC_OK) return status;
    for (i = 0; i < 2 * bits + 1; i++) (void)nc_fp4_add_input(circuit, &carry);
    for (i = 0; i < bits && status == NC_OK; i++) {
        wire[0] = i;
        wire[1] = bits + i;
        wire[2] = carry;
        status = nc_fp4_add_atom(circuit, NC_FP4_SUM, wire, &sum);
        if (status == NC_OK) status = nc_fp4_add_atom(circuit, NC_FP4_CARRY, wire, &carry);
        if (status == NC_OK) status = nc_fp4_add_output(circuit, sum);
    }
    if (status == NC_OK) status = nc_fp4_add_output(circuit, carry);
    if (status == NC_OK)
        *out = circuit;
    else
        nc_fp4_destroy(circuit);
    return status;
}

NC_API uint64_t nc_fp4_adder_spec(void *circuit, uint64_t inputs) {
    uint32_t bits = (nc_fp4_input_count((const nc_fp4_circuit *)circuit) - 1) / 2;
    uint64_t mask = (UINT64_C(1) << bits) - 1;
    return (inputs & mask) + (inputs >> bits & mask) + (inputs >> (2 * bits) & 1);
}

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
