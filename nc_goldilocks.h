/* nc_goldilocks.h - the field of p = 2^64 - 2^32 + 1: vectors, NTT, hashes, fixed point
   version 0.1.0 - MIT or public domain, see the end of the file

   Copy this file into your project; nothing else is needed. In ONE C or C++ file:

       #define NC_IMPLEMENTATION
       #include "nc_goldilocks.h"

   Compile with: cc -O2 file.c
   For the GPU define NC_GPU and copy nc_gpu.h and the kernels whose names begin with gl_, and probe
   (.spv, .ptx); it wants -lm, and -ldl where dlopen is not in the C library (glibc before 2.34).

   Quick example:

       #include <stdio.h>
       #define NC_IMPLEMENTATION
       #include "nc_goldilocks.h"
       int main(void) {
           nc_gl a[2] = {1, 2}, b[2] = {3, 4}, product[3], digest[4];
           char hex[65];
           if (nc_gl_poly_mul(product, a, 2, b, 2, NULL) != NC_OK) return 1;
           printf("(1 + 2x)(3 + 4x) = %llu + %llu x + %llu x^2\n",
                  (unsigned long long)product[0], (unsigned long long)product[1],
                  (unsigned long long)product[2]);
           nc_gl_trident_hash_bytes("hello", 5, digest);
           nc_gl_digest_hex(digest, hex);
           puts(hex);
           return 0;
       }

   Contents (search for the tag):
     >>types        field elements, hash states
     >>api          all functions, in the order of the sections below
     >>scalars      arithmetic, powers and roots, text
     >>extensions   of degree 2 and 3
     >>simd         one set of operations for registers of 64 to 512 bits
     >>vectors      sums, products, inverses
     >>matrices     products and transposition
     >>ntt          transforms
     >>polynomials  products, values, interpolation
     >>poseidon2    a permutation of 8, 12 or 16 elements
     >>trident      the same with other parameters, and its hash
     >>tip5         Triton VM's permutation and hash
     >>hashes       any of the three
     >>merkle       trees, paths and their verification
     >>transcripts  Fiat-Shamir challenges
     >>fixed        real numbers as field elements
     >>gpu          the same on Vulkan and CUDA, with NC_GPU
     >>changelog

   Options, defined before including:
     NC_API, NC_STATIC     how functions are declared; NC_STATIC makes all of them static
     NC_MALLOC, NC_FREE    default allocator where no nc_allocator is passed
     NC_NO_STDIO           no file access
     NC_MAX_FILE_BYTES     larger files are refused, not read
     NC_NO_SIMD            portable C only
     NC_GPU                also the GPU functions (needs nc_gpu.h beside this file)
     NC_ASSERT(condition)  checks of debug builds, here that sums of fixed-point products do not
                           wrap; define it as assert or your own, it is nothing by default
     NC_GOLDILOCKS_EXTERNAL  another C file holds this header's implementation; needed when a
                           header that includes this one is implemented in a file of its own

   Conventions: a field element is a canonical uint64_t in [0, p). Functions that take nc_gl
   need canonical input (use nc_gl_from_u64 for anything else) and return canonical output.
   Everything is exact: the same bits on every machine and instruction set. No function keeps
   state, so all are safe to call from several threads on different outputs. */

#ifndef NC_GOLDILOCKS_H
#define NC_GOLDILOCKS_H

/* The release that this file is of, as text and as numbers for #if; the same in every nc_*.h. */
#define NC_GL_VERSION "0.1.0"
#define NC_GL_VERSION_MAJOR 0
#define NC_GL_VERSION_MINOR 1
#define NC_GL_VERSION_PATCH 0

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

/* Result of every function that can fail. 0 is success; values are stable across versions. After an
 * error what the function was to make (an object, a text, bytes: a parameter **name) is null. */
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

/* Memory hooks. A null nc_allocator pointer, or a null alloc_fn, means malloc and free; with an
 * alloc_fn and a null free_fn nothing is given back (an arena). alloc_fn returns memory aligned to
 * `align` (a power of two up to 64) or null; free_fn gets the same byte count back. Both must be
 * callable from the thread that calls the library. */
typedef struct nc_allocator {
    void *(*alloc_fn)(void *user, size_t bytes, size_t align);
    void (*free_fn)(void *user, void *ptr, size_t bytes);
    void *user;
} nc_allocator;

/* Called during long work with done of total; return nonzero to cancel (NC_ERR_CANCELLED). */
typedef int (*nc_progress_fn)(void *user, uint64_t done, uint64_t total);

/* Static text for a status, never null; unknown values give "unknown status". */
NC_API const char *nc_status_str(nc_status status);
#ifndef NC_NO_STDIO
/* A whole file into memory, with a NUL behind its *bytes. NC_ERR_IO, NC_ERR_MEMORY, NC_ERR_LIMIT
 * beyond NC_MAX_FILE_BYTES; the message names the path. Release with nc_file_free. */
NC_API nc_status nc_file_read(const char *path, char **data, size_t *bytes, nc_error *err);
/* Release; null is fine. */
NC_API void nc_file_free(char *data);
/* A whole file from memory, over an old one or not at all: a temporary file beside it is written,
 * synced and renamed, so that a crash or a full disk leaves the old file. A symbolic link leads to
 * its target, the old file's mode stays, and what is no regular file (/dev/null, /dev/stdout, a
 * pipe) is written to and stays. NC_ERR_IO, NC_ERR_ARG for a null or too long path. */
NC_API nc_status nc_file_write(const char *path, const void *data, size_t bytes, nc_error *err);
#endif
#endif
/* ==== end of nc base =============================================================== */

#ifdef NC_GPU
#include "nc_gpu.h"
#endif

/* >>types ========================================================================== */

/* Canonical element of F_p, 0 <= value < NC_GL_P. */
typedef uint64_t nc_gl;

/* p = 2^64 - 2^32 + 1; multiplicative group of order 2^32 * (2^32 - 1), generator 7. */
#define NC_GL_P UINT64_C(0xFFFFFFFF00000001)
#define NC_GL_GENERATOR UINT64_C(7)
#define NC_GL_TWO_ADICITY 32
/* 7^((p-1)/2^32): the root of unity of order 2^32 that Plonky3 and Triton VM use. */
#define NC_GL_ROOT_2_32 UINT64_C(1753635133440165772)
/* Largest transform: 2^28 elements (2 GiB). */
#define NC_GL_NTT_MAX_LOG2 28

/* Twiddle factors of one transform size; read-only after creation, so threads may share it. */
typedef struct nc_gl_ntt nc_gl_ntt;

/* Poseidon2 sponge over bytes with the parameters of the trident compiler. */
typedef struct nc_gl_trident {
    nc_gl state[8];
    uint64_t length; /* bytes absorbed so far */
    uint64_t chunk;  /* up to 7 pending bytes, little-endian */
    uint32_t position;
    uint32_t pending;
} nc_gl_trident;

/* Hash of a Merkle tree or transcript. */
typedef enum nc_gl_hash {
    NC_GL_POSEIDON2 = 0, /* width 8, Plonky3 parameters; digests of 4 elements */
    NC_GL_TIP5 = 1,      /* digests of 5 elements */
    NC_GL_TRIDENT = 2    /* Poseidon2 with trident parameters; digests of 4 elements */
} nc_gl_hash;
#define NC_GL_HASHES 3 /* how many */

/* Fiat-Shamir transcript: plain data, may be copied to fork it. */
typedef struct nc_gl_transcript {
    nc_gl state[16];
    uint32_t hash, position, squeezing;
} nc_gl_transcript;

/* Tip5 sponge state: elements 0..9 are the rate, 10..15 the capacity. */
typedef struct nc_gl_tip5 {
    nc_gl state[16];
} nc_gl_tip5;

/* A real number v as the field element round(v * 2^16), negative values as p - |.|. */
typedef nc_gl nc_fixed;
#define NC_FIXED_SHIFT 16
#define NC_FIXED_ONE UINT64_C(65536)

/* >>api ============================================================================ */

/* -- scalars: arithmetic, powers and roots, text ----------------------------------- */

/* Reduce any 64-bit value. exact: yes. */
NC_API nc_gl nc_gl_from_u64(uint64_t value);
/* Signed value; -1 becomes p - 1. */
NC_API nc_gl nc_gl_from_i64(int64_t value);
/* Centred representative in [-(p-1)/2, (p-1)/2]: values above (p-1)/2 are negative. */
NC_API int64_t nc_gl_to_i64(nc_gl a);
/* a + b. This and the next six, to nc_gl_dbl, take no branch. */
NC_API nc_gl nc_gl_add(nc_gl a, nc_gl b);
/* a - b. */
NC_API nc_gl nc_gl_sub(nc_gl a, nc_gl b);
/* -a. */
NC_API nc_gl nc_gl_neg(nc_gl a);
/* a * b. */
NC_API nc_gl nc_gl_mul(nc_gl a, nc_gl b);
/* a * a. */
NC_API nc_gl nc_gl_sqr(nc_gl a);
/* a * b + c with one reduction. */
NC_API nc_gl nc_gl_mul_add(nc_gl a, nc_gl b, nc_gl c);
/* 2 a. */
NC_API nc_gl nc_gl_dbl(nc_gl a);
/* a / 2. */
NC_API nc_gl nc_gl_halve(nc_gl a);
/* a * 2^k for any k: a shift and a sign, since 2^96 = -1. */
NC_API nc_gl nc_gl_mul_pow2(nc_gl a, uint32_t k);
/* a^exponent; 0^0 = 1. */
NC_API nc_gl nc_gl_pow(nc_gl a, uint64_t exponent);
/* *out = 1 / a; the time depends on a. NC_ERR_MATH and *out = 0 for a = 0. */
NC_API nc_status nc_gl_inv(nc_gl a, nc_gl *out);
/* 1 if a is a nonzero square, -1 if it is no square, 0 for 0 (Euler's criterion). */
NC_API int nc_gl_legendre(nc_gl a);
/* *out = a root r with r^2 = a, the smaller of the two (Tonelli-Shanks). NC_ERR_MATH if none. */
NC_API nc_status nc_gl_sqrt(nc_gl a, nc_gl *out);
/* *out = the root of unity of order 2^log2_order, a power of NC_GL_ROOT_2_32.
 * NC_ERR_ARG for log2_order > 32. */
NC_API nc_status nc_gl_root_of_unity(uint32_t log2_order, nc_gl *out);
/* Decimal or 0x-hexadecimal text of n characters, value < p; digits only, no sign or blanks.
 * NC_ERR_FORMAT with the column of the offending character, NC_ERR_LIMIT for values >= p. */
NC_API nc_status nc_gl_parse(const char *text, size_t n, nc_gl *out, nc_error *err);
/* Decimal text with a final NUL into text[21]; returns the length. */
NC_API size_t nc_gl_print(nc_gl a, char text[21]);
/* Bytes as elements, seven to one, little-endian, the last filled up with zeros: out[i] holds bytes
 * 7 i .. 7 i + 6. Returns the number of elements, n / 7 rounded up; the length is not in them. */
NC_API size_t nc_gl_pack_bytes(nc_gl *out, const void *bytes, size_t n);

/* -- extensions: arrays of coefficients, the constant first; out may be an input --- */

/* F_p[x] / (x^2 - 7), as Plonky3 takes it: a + b. */
NC_API void nc_gl_ext2_add(nc_gl out[2], const nc_gl a[2], const nc_gl b[2]);
/* a - b. */
NC_API void nc_gl_ext2_sub(nc_gl out[2], const nc_gl a[2], const nc_gl b[2]);
/* a * b. */
NC_API void nc_gl_ext2_mul(nc_gl out[2], const nc_gl a[2], const nc_gl b[2]);
/* a^2. */
NC_API void nc_gl_ext2_sqr(nc_gl out[2], const nc_gl a[2]);
/* a * s with s in F_p. */
NC_API void nc_gl_ext2_mul_base(nc_gl out[2], const nc_gl a[2], nc_gl s);
/* 1 / a. NC_ERR_MATH and zeros for a = 0. */
NC_API nc_status nc_gl_ext2_inv(nc_gl out[2], const nc_gl a[2]);
/* a^p: the conjugate. */
NC_API void nc_gl_ext2_frobenius(nc_gl out[2], const nc_gl a[2]);
/* F_p[x] / (x^3 - x + 1), Triton VM's: a + b. Its twin x^3 - x - 1 (Plonky3) is the same field
 * under (c0, c1, c2) -> (c0, -c1, c2). */
NC_API void nc_gl_ext3_add(nc_gl out[3], const nc_gl a[3], const nc_gl b[3]);
/* a - b. */
NC_API void nc_gl_ext3_sub(nc_gl out[3], const nc_gl a[3], const nc_gl b[3]);
/* a * b. */
NC_API void nc_gl_ext3_mul(nc_gl out[3], const nc_gl a[3], const nc_gl b[3]);
/* a^2. */
NC_API void nc_gl_ext3_sqr(nc_gl out[3], const nc_gl a[3]);
/* a * s with s in F_p. */
NC_API void nc_gl_ext3_mul_base(nc_gl out[3], const nc_gl a[3], nc_gl s);
/* 1 / a. NC_ERR_MATH and zeros for a = 0. */
NC_API nc_status nc_gl_ext3_inv(nc_gl out[3], const nc_gl a[3]);
/* a^p. */
NC_API void nc_gl_ext3_frobenius(nc_gl out[3], const nc_gl a[3]);

/* -- simd: which instructions are used --------------------------------------------- */

/* Force the instruction set of everything below: 0 portable, 1 AVX2 or NEON, 2 AVX-512, 3 AVX-512
 * with IFMA, -1 best. NC_ERR_ARG for another number, NC_ERR_UNSUPPORTED when this machine lacks it.
 * For tests and measurements; process-wide. Results never depend on it. */
NC_API nc_status nc_gl_set_simd(int level);

/* -- vectors: n elements, n may be 0 ----------------------------------------------- */
/* out may be one of the inputs; when it overlaps one in part only, nothing is done and the result
 * is NC_ERR_ARG. */

/* out[i] = a[i] + b[i], i < n. */
NC_API nc_status nc_gl_vec_add(nc_gl *out, const nc_gl *a, const nc_gl *b, size_t n);
/* out[i] = a[i] - b[i]. */
NC_API nc_status nc_gl_vec_sub(nc_gl *out, const nc_gl *a, const nc_gl *b, size_t n);
/* out[i] = a[i] * b[i]. */
NC_API nc_status nc_gl_vec_mul(nc_gl *out, const nc_gl *a, const nc_gl *b, size_t n);
/* out[i] = s * a[i]. */
NC_API nc_status nc_gl_vec_scale(nc_gl *out, nc_gl s, const nc_gl *a, size_t n);
/* y[i] += s * x[i]. */
NC_API nc_status nc_gl_vec_axpy(nc_gl *y, nc_gl s, const nc_gl *x, size_t n);
/* Sum of a[i] * b[i]. */
NC_API nc_gl nc_gl_vec_dot(const nc_gl *a, const nc_gl *b, size_t n);
/* Sum of a[i]. */
NC_API nc_gl nc_gl_vec_sum(const nc_gl *a, size_t n);
/* out[i] = start * base^i. */
NC_API void nc_gl_vec_powers(nc_gl *out, nc_gl start, nc_gl base, size_t n);
/* out[i] = 1 / in[i] with one inversion (Montgomery's trick); zeros stay zero and are counted
 * in *zeros (may be null). out may be in; scratch holds n elements of its own. NC_ERR_ARG also for
 * null. */
NC_API nc_status nc_gl_batch_inv(nc_gl *out, const nc_gl *in, size_t n, nc_gl *scratch,
                                 size_t *zeros);

/* -- matrices: row-major ----------------------------------------------------------- */

/* y (rows) = A x, A row-major rows x columns. NC_ERR_ARG, nothing done, when y overlaps A or x. */
NC_API nc_status nc_gl_matvec(nc_gl *y, const nc_gl *a, const nc_gl *x, size_t rows,
                              size_t columns);
/* C (m x n) = A (m x k) B (k x n), row-major. NC_ERR_ARG, nothing done, when C overlaps A or B.
 * OpenMP across rows. */
NC_API nc_status nc_gl_matmul(nc_gl *c, const nc_gl *a, const nc_gl *b, size_t m, size_t k,
                              size_t n);
/* out (columns x rows) = transpose of a (rows x columns). NC_ERR_ARG, nothing done, when out
 * overlaps a. */
NC_API nc_status nc_gl_transpose(nc_gl *out, const nc_gl *a, size_t rows, size_t columns);

/* -- ntt: number-theoretic transforms, sizes 2^0 to 2^28 --------------------------- */

/* Prepare transforms of size 2^log2_n, log2_n <= NC_GL_NTT_MAX_LOG2. Owns its memory; free
 * with nc_gl_ntt_destroy (null is fine). Errors: NC_ERR_ARG, NC_ERR_MEMORY. */
NC_API nc_status nc_gl_ntt_create(nc_gl_ntt **plan, uint32_t log2_n, const nc_allocator *hooks);
/* Release a plan. */
NC_API void nc_gl_ntt_destroy(nc_gl_ntt *plan);
/* In place, natural order in and out: x[i] <- sum_j x[j] w^(ij), w = root of order n. */
NC_API void nc_gl_ntt_forward(const nc_gl_ntt *plan, nc_gl *x);
/* Inverse of nc_gl_ntt_forward. */
NC_API void nc_gl_ntt_inverse(const nc_gl_ntt *plan, nc_gl *x);
/* nc_gl_ntt_forward without its last step: natural order in, bit-reversed out, so that x[i] is the
 * value at w^(i with its log2_n bits reversed). Saves a pass where order does not matter. */
NC_API void nc_gl_ntt_to_reversed(const nc_gl_ntt *plan, nc_gl *x);
/* Inverse of nc_gl_ntt_to_reversed: bit-reversed order in, natural order out. */
NC_API void nc_gl_ntt_inverse_from_reversed(const nc_gl_ntt *plan, nc_gl *x);
/* x[i] <-> x[i with its log2_n bits reversed], log2_n <= NC_GL_NTT_MAX_LOG2. */
NC_API void nc_gl_bit_reverse(nc_gl *x, uint32_t log2_n);
/* Evaluate on the coset shift * <w>: x[i] <- sum_j x[j] (shift w^i)^j. */
NC_API void nc_gl_ntt_coset_forward(const nc_gl_ntt *plan, nc_gl *x, nc_gl shift);
/* Inverse of nc_gl_ntt_coset_forward. NC_ERR_MATH for shift = 0. */
NC_API nc_status nc_gl_ntt_coset_inverse(const nc_gl_ntt *plan, nc_gl *x, nc_gl shift);
/* `count` transforms one after the other in x, forward or (inverse != 0) back. OpenMP across. */
NC_API void nc_gl_ntt_many(const nc_gl_ntt *plan, nc_gl *x, size_t count, int inverse);
/* Transform every column of the row-major matrix x (2^log2_n rows). scratch holds as many elements
 * as x. NC_ERR_ARG when they overlap. */
NC_API nc_status nc_gl_ntt_columns(const nc_gl_ntt *plan, nc_gl *x, size_t columns, int inverse,
                                   nc_gl *scratch);
/* Low-degree extension: x has room for the large size and holds the values of a polynomial on the
 * small subgroup; it is replaced by its values on shift times the large one, both in natural
 * order. NC_ERR_ARG when large is the smaller plan, NC_ERR_MATH for shift = 0. */
NC_API nc_status nc_gl_ntt_extend(const nc_gl_ntt *small_plan, const nc_gl_ntt *large_plan,
                                  nc_gl *x, nc_gl shift);

/* -- polynomials: arrays of coefficients in ascending degree ----------------------- */

/* out[0 .. max(na, nb)-1] = a + b; out may be an input. */
NC_API void nc_gl_poly_add(nc_gl *out, const nc_gl *a, size_t na, const nc_gl *b, size_t nb);
/* out[0 .. na+nb-2] = a * b. An empty factor gives no output. Errors: NC_ERR_ARG when out overlaps
 * an input, NC_ERR_LIMIT above 2^28 coefficients, NC_ERR_MEMORY. */
NC_API nc_status nc_gl_poly_mul(nc_gl *out, const nc_gl *a, size_t na, const nc_gl *b, size_t nb,
                                const nc_allocator *hooks);
/* Value at x of the polynomial with n coefficients (Horner). */
NC_API nc_gl nc_gl_poly_eval(const nc_gl *a, size_t n, nc_gl x);
/* out[i] = value at xs[i], i < m: n m products, SIMD across points. NC_ERR_ARG when out overlaps an
 * input. */
NC_API nc_status nc_gl_poly_eval_many(nc_gl *out, const nc_gl *a, size_t n, const nc_gl *xs,
                                      size_t m);
/* Divide by (x - z): quotient[0 .. n-2], which may be a; returns the remainder, the value at z. */
NC_API nc_gl nc_gl_poly_divide_linear(nc_gl *quotient, const nc_gl *a, size_t n, nc_gl z);
/* out[0 .. n] = product of (x - xs[i]), by halves. Errors as nc_gl_poly_mul. */
NC_API nc_status nc_gl_poly_zerofier(nc_gl *out, const nc_gl *xs, size_t n,
                                     const nc_allocator *hooks);
/* out[0 .. n-1] = the polynomial of degree below n through all (xs[i], ys[i]), with about 3 n^2
 * products. NC_ERR_MATH when two xs are equal; else errors as nc_gl_poly_mul. */
NC_API nc_status nc_gl_poly_interpolate(nc_gl *out, const nc_gl *xs, const nc_gl *ys, size_t n,
                                        const nc_allocator *hooks);

/* -- poseidon2: with the parameters of Plonky3, the one for new designs ------------ */

/* One permutation of a state of width 8, 12 or 16: 4 + 22 + 4 rounds, S-box x^7. NC_ERR_ARG for
 * other widths. */
NC_API nc_status nc_gl_poseidon2_permute(nc_gl *state, uint32_t width);
/* The same for `count` states one after the other: SIMD across states, OpenMP across blocks. */
NC_API nc_status nc_gl_poseidon2_permute_many(nc_gl *states, uint32_t width, size_t count);
/* Two digests to one: permute left and right at width 8, keep the first half. */
NC_API void nc_gl_poseidon2_compress(const nc_gl left[4], const nc_gl right[4], nc_gl digest[4]);

/* -- trident: Poseidon2 with the parameters of the trident compiler ---------------- */
/* Width 8, rate 4, 4 + 22 + 4 rounds, S-box x^7. A nonstandard instance (its external layer
 * fixes vectors of sum zero, hash_fields lets [] and [0] collide): for compatibility with the
 * trident compiler and Nox, not for new designs. */

/* One permutation of the state. */
NC_API void nc_gl_trident_permute(nc_gl state[8]);
/* The same for `count` states one after the other: SIMD across states, OpenMP across blocks. */
NC_API void nc_gl_trident_permute_many(nc_gl *states, size_t count);
/* Digest of a byte string: init, any number of updates, finish. Bytes enter in 7-byte
 * little-endian chunks, then the length; splitting the updates changes nothing. */
NC_API void nc_gl_trident_init(nc_gl_trident *sponge);
/* Absorb n bytes. */
NC_API void nc_gl_trident_update(nc_gl_trident *sponge, const void *data, size_t n);
/* Write the four digest elements; the sponge must be initialised again before reuse. */
NC_API void nc_gl_trident_finish(nc_gl_trident *sponge, nc_gl digest[4]);
/* init, update, finish in one call. */
NC_API void nc_gl_trident_hash_bytes(const void *data, size_t n, nc_gl digest[4]);
/* Digest of n field elements, no padding (see above). */
NC_API void nc_gl_trident_hash_fields(const nc_gl *fields, size_t n, nc_gl digest[4]);

/* -- tip5: Triton VM's hash (eprint 2023/107) -------------------------------------- */

/* One permutation: 5 rounds over 16 elements. */
NC_API void nc_gl_tip5_permute(nc_gl state[16]);
/* The same for `count` states one after the other: SIMD across states, OpenMP across blocks. */
NC_API void nc_gl_tip5_permute_many(nc_gl *states, size_t count);
/* The same permutation, and the 16-bit limbs that its lookups read, in order: 5 rounds x 4
 * elements x 4 limbs of the Montgomery form. For cost models of Triton VM's cascade table. */
NC_API void nc_gl_tip5_trace(nc_gl state[16], uint16_t limbs[80]);
/* Zero state, variable-length domain. */
NC_API void nc_gl_tip5_init(nc_gl_tip5 *sponge);
/* Overwrite the rate with 10 elements, then permute. */
NC_API void nc_gl_tip5_absorb(nc_gl_tip5 *sponge, const nc_gl block[10]);
/* Read the rate, then permute. */
NC_API void nc_gl_tip5_squeeze(nc_gl_tip5 *sponge, nc_gl block[10]);
/* Digest of exactly 10 elements, fixed-length domain (capacity of ones). */
NC_API void nc_gl_tip5_hash_10(const nc_gl in[10], nc_gl digest[5]);
/* Digest of two digests: hash_10 of their concatenation. */
NC_API void nc_gl_tip5_hash_pair(const nc_gl left[5], const nc_gl right[5], nc_gl digest[5]);
/* Digest of n elements: a one and zeros pad to a multiple of 10. */
NC_API void nc_gl_tip5_hash_varlen(const nc_gl *in, size_t n, nc_gl digest[5]);

/* -- hashes: any of the three; digests of nc_gl_digest_elements elements ----------- */

/* 4 for Poseidon2 and trident, 5 for Tip5, 0 for another. */
NC_API size_t nc_gl_digest_elements(nc_gl_hash hash);
/* Two digests to one: nc_gl_poseidon2_compress, nc_gl_tip5_hash_pair, or the trident permutation of
 * both, first half. digest may be an input. NC_ERR_ARG for another hash or null. */
NC_API nc_status nc_gl_hash_pair(nc_gl_hash hash, const nc_gl *left, const nc_gl *right,
                                 nc_gl *digest);
/* Digest of n elements: nc_gl_tip5_hash_varlen, nc_gl_trident_hash_fields, or for Poseidon2 an
 * overwriting sponge of rate 4 whose first capacity element starts as n. */
NC_API nc_status nc_gl_hash_fields(nc_gl_hash hash, const nc_gl *in, size_t n, nc_gl *digest);
/* 32 bytes little-endian as 64 hexadecimal digits and a NUL. */
NC_API void nc_gl_digest_hex(const nc_gl digest[4], char hex[65]);

/* -- merkle: trees of n leaves, a power of two ------------------------------------- */

/* nodes holds 2 n digests: leaves in n .. 2n-1 on entry; fills n-1 .. 1, node i the hash of its
 * children 2i and 2i+1, so that node 1 is the root. Node 0 is not touched. NC_ERR_ARG when n is
 * no power of two or above 2^32. SIMD and OpenMP across a level. */
NC_API nc_status nc_gl_merkle_build(nc_gl_hash hash, nc_gl *nodes, size_t n);
/* path gets log2(n) digests, the siblings from leaf `index` up. NC_ERR_ARG for a bad index. */
NC_API nc_status nc_gl_merkle_open(nc_gl_hash hash, const nc_gl *nodes, size_t n, size_t index,
                                   nc_gl *path);
/* NC_OK when leaf, path and index lead to the root, else NC_ERR_MISMATCH; elements that are not
 * canonical are a mismatch too. NC_ERR_ARG for an index that does not fit the path's length, a path
 * of more than 32 digests, another hash or null. */
NC_API nc_status nc_gl_merkle_verify(nc_gl_hash hash, const nc_gl *root, const nc_gl *leaf,
                                     size_t index, const nc_gl *path, uint32_t path_length);

/* -- transcripts: Fiat-Shamir challenges ------------------------------------------- */

/* Fiat-Shamir transcript: what the prover has sent goes in, challenges come out; equal transcripts
 * give equal challenges, and any change of an element, its place or the label changes all later
 * ones. Start with a label that names the protocol. NC_ERR_ARG for another hash or null. */
NC_API nc_status nc_gl_transcript_init(nc_gl_transcript *t, nc_gl_hash hash, const void *label,
                                       size_t n);
/* Absorb n elements; splitting them over calls changes nothing. NC_ERR_FORMAT, and nothing is
 * absorbed, when one is not canonical: a proof may be hostile. */
NC_API nc_status nc_gl_transcript_absorb(nc_gl_transcript *t, const nc_gl *in, size_t n);
/* Absorb the length n and the bytes, seven to an element, little-endian. */
NC_API nc_status nc_gl_transcript_absorb_bytes(nc_gl_transcript *t, const void *data, size_t n);
/* n challenges, uniform in F_p. */
NC_API nc_status nc_gl_transcript_challenge(nc_gl_transcript *t, nc_gl *out, size_t n);
/* A query index of `bits` <= 32 bits: the low bits of one challenge, within 2^-31 of uniform. */
NC_API nc_status nc_gl_transcript_index(nc_gl_transcript *t, uint32_t bits, uint64_t *out);

/* -- fixed: a real v is the field element round(v * 2^16) -------------------------- */

/* Ties away from zero. NC_ERR_LIMIT for |v| >= 2^46 and for NaN. */
NC_API nc_status nc_fixed_from_f64(double v, nc_fixed *out);
/* Exact for |raw| <= 2^53, correctly rounded beyond. */
NC_API double nc_fixed_to_f64(nc_fixed a);
/* a * b / 2^16 IN THE FIELD: the source design's rule. The right real value only when 2^16
 * divides the integer product; otherwise a field element without a small real value. */
NC_API nc_fixed nc_fixed_mul_field(nc_fixed a, nc_fixed b);
/* Signed product, rescaled once: floor((a b + 2^15) / 2^16), exact to half a unit of 2^-16.
 * Right while |a b| < p/2 as integers (|value| < 2^31); beyond, the field wraps. */
NC_API nc_fixed nc_fixed_mul(nc_fixed a, nc_fixed b);
/* floor((x + 2^15) / 2^16) of the centred x: the rescale that ends a product or dot product. */
NC_API nc_fixed nc_fixed_rescale(nc_gl x);
/* The same as a witness for circuits: x + 2^15 = quotient 2^16 + remainder over the integers, x
 * centred, 0 <= remainder < 2^16; the quotient is nc_fixed_rescale(x). */
NC_API nc_fixed nc_fixed_witness(nc_gl x, uint32_t *remainder);
/* What nc_fixed_mul would have given, from the result of nc_fixed_mul_field: times 2^16, then the
 * rescale. */
NC_API nc_fixed nc_fixed_repair(nc_fixed wrong);

/* a + b in the field. This, a - b and -a are exact while the raw result stays in
 * [-(p-1)/2, (p-1)/2]: just below 2^47 in magnitude. */
NC_API nc_fixed nc_fixed_add(nc_fixed a, nc_fixed b);
/* a - b. */
NC_API nc_fixed nc_fixed_sub(nc_fixed a, nc_fixed b);
/* -a. */
NC_API nc_fixed nc_fixed_neg(nc_fixed a);
/* |a|. */
NC_API nc_fixed nc_fixed_abs(nc_fixed a);
/* -1, 0 or 1 as a is less than, equal to or greater than b, as signed values. */
NC_API int nc_fixed_compare(nc_fixed a, nc_fixed b);
/* a brought into [low, high]; low where low > high. */
NC_API nc_fixed nc_fixed_clamp(nc_fixed a, nc_fixed low, nc_fixed high);
/* a for values not above (p-1)/2, else 0. */
NC_API nc_fixed nc_fixed_relu(nc_fixed a);
/* round(2^32 / raw), ties away from zero. NC_ERR_MATH for 0. */
NC_API nc_status nc_fixed_inv(nc_fixed a, nc_fixed *out);
/* round(2^16 a / b), ties away from zero. NC_ERR_MATH for b = 0, NC_ERR_LIMIT beyond 2^46; *out = 0
 * then. */
NC_API nc_status nc_fixed_div(nc_fixed a, nc_fixed b, nc_fixed *out);
/* Correctly rounded square root. NC_ERR_MATH and *out = 0 for negative values. */
NC_API nc_status nc_fixed_sqrt(nc_fixed a, nc_fixed *out);
/* e^a within one unit of 2^-16 and 2^-35 of the value: 2^n times a polynomial. NC_ERR_LIMIT and 0
 * where e^a >= 2^46, from a = 31.88 on. */
NC_API nc_status nc_fixed_exp(nc_fixed a, nc_fixed *out);
/* 1 / (1 + e^-a), off by at most 1.01 half units of 2^-16; sigmoid(-a) = 1 - sigmoid(a). */
NC_API nc_fixed nc_fixed_sigmoid(nc_fixed a);
/* a sigmoid(1.702 a): within 2^-14 of that real function on [-16, 16], measured on all values. */
NC_API nc_fixed nc_fixed_gelu(nc_fixed a);
/* 1/2 + a/4 - a^3/48: the source design's sigmoid, for compatibility. Off by 0.013 at |a| = 1.5 and
 * by more beyond: it turns at 2 and falls. For |a| < 1,290, where the cube still fits. */
NC_API nc_fixed nc_fixed_sigmoid_taylor(nc_fixed a);
/* a sigmoid_taylor(1.702 a): off by 0.023 at |a| = 1, by 0.88 at 2; negative beyond 2.47. For
 * |a| < 380, where its fourth power still fits. */
NC_API nc_fixed nc_fixed_gelu_taylor(nc_fixed a);

/* Sums of products are taken in the field and rescaled once, so they are off by half a unit for any
 * length as long as the real sum stays below 2^31 in magnitude; beyond, the field wraps. With
 * NC_ASSERT defined (as assert, in a debug build) each sum is checked with nc_fixed_check_dot. */

/* Sum of a[i] b[i]. */
NC_API nc_fixed nc_fixed_dot(const nc_fixed *a, const nc_fixed *b, size_t n);
/* NC_OK when the sum of a[i] b[i] fits, NC_ERR_LIMIT when it would wrap. */
NC_API nc_status nc_fixed_check_dot(const nc_fixed *a, const nc_fixed *b, size_t n);
/* y (rows) = A x. Errors as nc_gl_matvec. */
NC_API nc_status nc_fixed_matvec(nc_fixed *y, const nc_fixed *a, const nc_fixed *x, size_t rows,
                                 size_t columns);
/* C (m x n) = A (m x k) B (k x n). Where all raw magnitudes are below 2^31 and no sum of products
 * can reach 2^62, plain 64-bit integers do the same faster. Errors as nc_gl_matmul. */
NC_API nc_status nc_fixed_matmul(nc_fixed *c, const nc_fixed *a, const nc_fixed *b, size_t m,
                                 size_t k, size_t n);
/* The same where it is known that |a[i]| <= most_a and |b[i]| <= most_b (raw magnitudes): small
 * matrices save the pass that finds them. Wrong bounds give wrong results, nothing worse. */
NC_API nc_status nc_fixed_matmul_within(nc_fixed *c, const nc_fixed *a, uint64_t most_a,
                                        const nc_fixed *b, uint64_t most_b, size_t m, size_t k,
                                        size_t n);
/* out[i] = e^x[i] / sum of e^x[j], each to one unit of 2^-16; out may be x. NC_ERR_LIMIT for
 * n > 2^16. */
NC_API nc_status nc_fixed_softmax(nc_fixed *out, const nc_fixed *x, size_t n);
/* out[i] = gamma[i] (x[i] - mean) / sqrt(variance + epsilon) + beta[i]. The mean of the n values is
 * rounded to a unit of 2^-16 and the variance is taken about that; the quotient is then within
 * 2 + 1 / sqrt(variance + epsilon) units. out may be x; gamma and beta may be null (1 and 0).
 * NC_ERR_ARG for n = 0 or from 2^31 on, an epsilon below 0 or from 2^24 on; NC_ERR_LIMIT when a
 * value is 2^15 or more from the mean, NC_ERR_MATH when the variance and epsilon are 0. */
NC_API nc_status nc_fixed_layer_norm(nc_fixed *out, const nc_fixed *x, size_t n,
                                     const nc_fixed *gamma, const nc_fixed *beta, nc_fixed epsilon);

#ifdef NC_GPU
/* -- gpu: the bits of the functions above, on a device of nc_gpu.h ----------------- */
/* nc_gl_gpu_NAME takes arrays in host memory: each call uploads, runs and downloads.
 * nc_gl_gpu_buffer_NAME takes buffers of the device (nc_gpu_buffer_create with 8 bytes an element,
 * nc_gpu_upload, nc_gpu_download) that stay there from call to call. Twiddles and round constants
 * go to the device once. Errors: NC_ERR_ARG for null or overlapping arrays, buffers that are too
 * small and bad sizes; NC_ERR_LIMIT beyond the device's buffers, for arrays of 2^31 elements and
 * more, matrices of more than 2,097,120 rows or columns, 2^27 states or leaves; NC_ERR_DEVICE. The
 * driver's text is in nc_gpu_last_error. One thread at a time for each device. */

/* The field kernels of a device, loaded as they are needed; close before the device. */
typedef struct nc_gl_gpu nc_gl_gpu;
/* Operation of nc_gl_gpu_vector. */
typedef enum nc_gl_operation {
    NC_GL_ADD = 0,
    NC_GL_SUB = 1,
    NC_GL_MUL = 2,
    NC_GL_MUL_ADD = 3
} nc_gl_operation;

/* Memory comes from hooks (may be null). */
NC_API nc_status nc_gl_gpu_open(nc_gl_gpu **gpu, nc_gpu *device, const nc_allocator *hooks);
/* Release; null is fine. */
NC_API void nc_gl_gpu_close(nc_gl_gpu *gpu);
/* out[i] = a[i] op b[i], or a[i] b[i] + c[i] (else c may be null). out may be an input. */
NC_API nc_status nc_gl_gpu_vector(nc_gl_gpu *gpu, nc_gl_operation operation, nc_gl *out,
                                  const nc_gl *a, const nc_gl *b, const nc_gl *c, size_t n);
/* *out = sum of a[i] b[i]. */
NC_API nc_status nc_gl_gpu_dot(nc_gl_gpu *gpu, const nc_gl *a, const nc_gl *b, size_t n,
                               nc_gl *out);
/* C (m x n) = A (m x k) B (k x n). */
NC_API nc_status nc_gl_gpu_matmul(nc_gl_gpu *gpu, nc_gl *c, const nc_gl *a, const nc_gl *b,
                                  size_t m, size_t k, size_t n);
/* The same in fixed point, each sum rescaled once. */
NC_API nc_status nc_fixed_gpu_matmul(nc_gl_gpu *gpu, nc_fixed *c, const nc_fixed *a,
                                     const nc_fixed *b, size_t m, size_t k, size_t n);
/* nc_gl_ntt_many: `count` transforms of 2^log2_n points, one after the other in x. */
NC_API nc_status nc_gl_gpu_ntt(nc_gl_gpu *gpu, nc_gl *x, uint32_t log2_n, size_t count,
                               int inverse);
/* The same on the coset shift * <w>: nc_gl_ntt_coset_forward, or nc_gl_ntt_coset_inverse with
 * inverse (NC_ERR_MATH for shift 0 then). */
NC_API nc_status nc_gl_gpu_ntt_coset(nc_gl_gpu *gpu, nc_gl *x, uint32_t log2_n, size_t count,
                                     nc_gl shift, int inverse);
/* nc_gl_poseidon2_permute_many, or nc_gl_trident_permute_many for width 0. */
NC_API nc_status nc_gl_gpu_permute(nc_gl_gpu *gpu, nc_gl *states, uint32_t width, size_t count);
/* nc_gl_merkle_build for NC_GL_POSEIDON2 and NC_GL_TRIDENT; NC_ERR_UNSUPPORTED for Tip5. */
NC_API nc_status nc_gl_gpu_merkle_build(nc_gl_gpu *gpu, nc_gl_hash hash, nc_gl *nodes, size_t n);

/* nc_gl_gpu_vector. out may be an input; c may be null where it is not read. */
NC_API nc_status nc_gl_gpu_buffer_vector(nc_gl_gpu *gpu, nc_gl_operation operation,
                                         nc_gpu_buffer *out, nc_gpu_buffer *a, nc_gpu_buffer *b,
                                         nc_gpu_buffer *c, size_t n);
/* nc_gl_gpu_matmul, or with fixed_point nc_fixed_gpu_matmul. c must not be a or b. */
NC_API nc_status nc_gl_gpu_buffer_matmul(nc_gl_gpu *gpu, nc_gpu_buffer *c, nc_gpu_buffer *a,
                                         nc_gpu_buffer *b, size_t m, size_t k, size_t n,
                                         int fixed_point);
/* nc_gl_gpu_ntt_coset; nc_gl_gpu_ntt for shift 1. out may be in. */
NC_API nc_status nc_gl_gpu_buffer_ntt(nc_gl_gpu *gpu, nc_gpu_buffer *out, nc_gpu_buffer *in,
                                      uint32_t log2_n, size_t count, nc_gl shift, int inverse);
/* nc_gl_gpu_permute. */
NC_API nc_status nc_gl_gpu_buffer_permute(nc_gl_gpu *gpu, nc_gpu_buffer *states, uint32_t width,
                                          size_t count);
/* nc_gl_gpu_merkle_build. */
NC_API nc_status nc_gl_gpu_buffer_merkle_build(nc_gl_gpu *gpu, nc_gl_hash hash,
                                               nc_gpu_buffer *nodes, size_t n);
#endif

#endif /* NC_GOLDILOCKS_H */

/* ================================== implementation ==================================== */
#if defined(NC_IMPLEMENTATION) && !defined(NC_GOLDILOCKS_IMPLEMENTED) &&                           \
    !defined(NC_GOLDILOCKS_EXTERNAL)
#define NC_GOLDILOCKS_IMPLEMENTED

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
#ifndef NC_MAX_FILE_BYTES /* files larger than this are refused, not read */
#define NC_MAX_FILE_BYTES (SIZE_MAX > UINT32_MAX ? (size_t)1 << 16 << 16 : (size_t)1 << 30)
#endif
#ifndef NC_NO_STDIO
#include <errno.h>
#endif
#if !defined(NC_NO_STDIO) && (defined(__unix__) || defined(__APPLE__))
#define NC__POSIX_FILES 1
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>
#ifndef __cplusplus /* hidden by strict -std=c99 in some C libraries */
extern int fsync(int fd);
extern ssize_t readlink(const char *path, char *out, size_t room);
#endif
#elif !defined(NC_NO_STDIO) && defined(_WIN32)
#include <io.h>
#ifdef __cplusplus
extern "C"
#endif
    __declspec(dllimport) int __stdcall MoveFileExA(const char *from, const char *to,
                                                    unsigned long flags);
#endif

#if !defined(NC_NO_SIMD) && defined(__GNUC__) && defined(__aarch64__) && defined(__ARM_NEON) &&    \
    !defined(__AARCH64EB__)
#define NC__NEON 1
#ifdef __linux__
#include <sys/auxv.h>
#endif
#endif

/* Several C files may each hold the implementation of a different header: what all of them define
 * is weak where that exists. */
#if defined(__GNUC__) && !defined(NC_STATIC) && !defined(_WIN32)
#define NC__SHARED NC_API __attribute__((weak))
#else
#define NC__SHARED NC_API
#endif

/* x y + z, rounded once: the product, exact in a double, plus z, rounded to odd, which a second
 * rounding cannot harm (Boldo, Melquiond: Emulation of FMA and correctly rounded sums, 2008). */
static NC_UNUSED float nc__fmaf(float x, float y, float z) {
    const double product = (double)x * (double)y, sum = product + (double)z, part = sum - product;
    const double error = (product - (sum - part)) + ((double)z - part);
    uint64_t bits;
    double odd;
    memcpy(&bits, &sum, sizeof bits);
    if (!(error > 0 || error < 0) || (bits & 1)) return (float)sum; /* exact, odd or not finite */
    bits = (error > 0) == (sum > 0) ? bits + 1 : bits - 1;
    memcpy(&odd, &bits, sizeof odd);
    return (float)odd;
}
/* That of mingw-w64's C library rounds twice: one in five of random floats is wrong. */
#if defined(__MINGW32__) && !defined(__FMA__)
#define NC__FMAF nc__fmaf
#else
#define NC__FMAF fmaf
#endif

/* gcc compiles quickly rather than well between the COLD two (-Og): for what is read, written,
 * checked or planned once; and takes a middle way between the WARM two (-O1): for what is called
 * often and decides rather than loops. What loops over values calls stands outside of both. */
#if defined(__GNUC__) && !defined(__clang__) && defined(__OPTIMIZE__) && !defined(__OPTIMIZE_SIZE__)
#define NC__COLD_BEGIN _Pragma("GCC push_options") _Pragma("GCC optimize(\"Og\")")
#define NC__COLD_END _Pragma("GCC pop_options")
#define NC__WARM_BEGIN                                                                             \
    _Pragma("GCC push_options") _Pragma("GCC optimize(\"O1\", \"inline-small-functions\")")
#define NC__WARM_END _Pragma("GCC pop_options")
#else
#define NC__COLD_BEGIN
#define NC__COLD_END
#define NC__WARM_BEGIN
#define NC__WARM_END
#endif

/* What several places call and gain nothing from a copy of: it compiles faster once. */
#if defined(__GNUC__)
#define NC__NOINLINE __attribute__((noinline))
#else
#define NC__NOINLINE
#endif

NC__SHARED const char *nc_status_str(nc_status status) {
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
static NC_UNUSED NC__NOINLINE void *nc__alloc(const nc_allocator *hooks, size_t bytes) {
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

static NC_UNUSED NC__NOINLINE void *nc__calloc(const nc_allocator *hooks, size_t bytes) {
    void *ptr = bytes < SIZE_MAX / 2 ? nc__alloc(hooks, bytes) : NULL;
    if (ptr) memset(ptr, 0, bytes);
    return ptr;
}

static NC_UNUSED NC__NOINLINE void nc__free(const nc_allocator *hooks, void *ptr, size_t bytes) {
    void *raw;
    if (!ptr) return;
    if (!hooks || !hooks->alloc_fn) {
        memcpy(&raw, (char *)ptr - sizeof raw, sizeof raw);
        NC_FREE(raw);
    } else if (hooks->free_fn) {
        hooks->free_fn(hooks->user, ptr, bytes ? bytes : 1);
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

/* A number that one thread may write while others read it. */
#if defined(__GNUC__)
#define NC__GET(x) __atomic_load_n(&(x), __ATOMIC_RELAXED)
#define NC__SET(x, value) __atomic_store_n(&(x), value, __ATOMIC_RELAXED)
#else
#define NC__GET(x) (x)
#define NC__SET(x, value) ((x) = (value))
#endif

/* Best instruction set of this machine: 0 portable, 1 AVX2 + FMA or NEON, 2 AVX-512 F BW DQ VL or
 * NEON with dot products. */
static NC_UNUSED int nc__cpu_level(void) {
#if !defined(NC_NO_SIMD) && defined(__GNUC__) && defined(__x86_64__)
    __builtin_cpu_init();
    if (!__builtin_cpu_supports("avx2") || !__builtin_cpu_supports("fma")) return 0;
    if (__builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") &&
        __builtin_cpu_supports("avx512dq") && __builtin_cpu_supports("avx512vl"))
        return 2;
    return 1;
#elif defined(NC__NEON) && (defined(__APPLE__) || defined(__ARM_FEATURE_DOTPROD))
    return 2;
#elif defined(NC__NEON) && defined(__linux__)
    return getauxval(AT_HWCAP) >> 20 & 1 ? 2 : 1; /* bit 20: asimddp */
#elif defined(NC__NEON)
    return 1;
#else
    return 0;
#endif
}

/* The level that is forced, where it is not -1, else the best, found once: the same whoever finds
 * it. */
static NC_UNUSED int nc__level(const int *forced, int *best, int (*find)(void)) {
    int level = NC__GET(*forced);
    if (level < 0) level = NC__GET(*best);
    if (level < 0) {
        level = find();
        NC__SET(*best, level);
    }
    return level;
}

typedef struct nc__span {
    const void *data;
    size_t bytes;
} nc__span;

#ifndef NC_NO_STDIO
NC__COLD_BEGIN
/* What could not be done with a file, and the system's reason. */
static NC_UNUSED nc_status nc__file_error(nc_error *err, const char *what, const char *path,
                                          int reason) {
    return nc__fail(err, NC_ERR_IO, 0, 0, "cannot %s '%.90s'%s%.40s", what, path,
                    reason ? ": " : "", reason ? strerror(reason) : "");
}

/* Whole file into fresh memory (free with *bytes + 1: a NUL follows the data). The buffer grows to
 * two bytes more than may be read: one shows that there is more, one is not read into. */
static NC_UNUSED nc_status nc__file_read(const char *path, const nc_allocator *hooks,
                                         uint8_t **data, size_t *bytes, nc_error *err) {
    const size_t most = nc__add_size(NC_MAX_FILE_BYTES, 2);
    FILE *file = fopen(path, "rb");
    uint8_t *buffer = NULL, *grown;
    size_t capacity = 0, used = 0, got;
    nc_status status = NC_OK;
    *data = NULL;
    *bytes = 0;
    if (!file) return nc__file_error(err, "open", path, errno);
    errno = 0;
    do {
        if (capacity - used < 2) {
            size_t larger = capacity ? nc__mul_size(capacity, 2) : 65536;
            if (larger > most) larger = most;
            grown = used > NC_MAX_FILE_BYTES ? NULL : (uint8_t *)nc__alloc(hooks, larger);
            if (!grown) {
                status = used > NC_MAX_FILE_BYTES ? NC_ERR_LIMIT : NC_ERR_MEMORY;
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
    if (status == NC_OK && ferror(file)) status = nc__file_error(err, "read", path, errno);
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

/* Does this character of a path end the name of a folder? On Windows a backslash does, too. */
static int nc__ends_folder(char c) {
#if defined(_WIN32)
    if (c == '\\') return 1;
#endif
    return c == '/';
}

/* Bytes of a path up to its file's name. */
static NC_UNUSED size_t nc__folder_bytes(const char *path) {
    size_t n = strlen(path);
    while (n && !nc__ends_folder(path[n - 1])) n--;
    return n;
}

/* A file being written: under a temporary name beside its target, which it replaces when it is
 * closed, so that a crash or a full disk leaves the old file whole; straight into what is no
 * regular file (a device, a pipe), which a rename would remove. */
typedef struct nc__writer {
#if defined(NC__POSIX_FILES)
    int fd;
#else
    FILE *file;
#endif
    int ok, direct, reason; /* reason: errno of the first failure */
    char target[2048], temporary[2048 + 48];
} nc__writer;

#if defined(NC__POSIX_FILES)
/* The open file that a path stands for, -1 for none: /dev/stdout and its like. */
static int nc__descriptor(const char *path) {
    const char *digits = "";
    char *end;
    long fd;
    if (!strncmp(path, "/dev/fd/", 8)) digits = path + 8;
    if (!strncmp(path, "/proc/self/fd/", 14)) digits = path + 14;
    if (!strcmp(path, "/dev/stdout")) return 1;
    if (!strcmp(path, "/dev/stderr")) return 2;
    if (*digits < '0' || *digits > '9') return -1;
    fd = strtol(digits, &end, 10);
    return *end || fd > 65535 ? -1 : (int)fd;
}

/* Follow symbolic links by their text, so that a link whose target does not exist yet gets one;
 * those of /proc stand for files that are open. 0: too long a path, or too many links. */
static int nc__resolve(char *path, size_t room) {
    char link[2048];
    int hops;
    for (hops = 0; hops < 40; hops++) {
        size_t keep, n;
        long got;
        if (nc__descriptor(path) >= 0 || !strncmp(path, "/proc/", 6)) return 1;
        got = (long)readlink(path, link, sizeof link - 1);
        if (got < 0) return 1;
        n = (size_t)got;
        keep = link[0] != '/' ? nc__folder_bytes(path) : 0;
        if (keep + n >= room) return 0;
        memcpy(path + keep, link, n);
        path[keep + n] = 0;
    }
    return 0;
}

/* Make the renamed directory entry durable too; best effort, some file systems refuse. */
static void nc__sync_directory(char *path) {
    int fd;
    path[nc__folder_bytes(path)] = 0;
    fd = open(*path ? path : ".", O_RDONLY);
    if (fd < 0) return;
    (void)fsync(fd);
    (void)close(fd);
}

/* The mode and, where the system allows, the owner of the file that will be replaced. */
static void nc__inherit(const char *path, const struct stat *old) {
    const int changed = chown(path, old->st_uid, old->st_gid);
    (void)changed; /* if not, the new file is ours */
    (void)chmod(path, old->st_mode & 07777);
}

/* The temporary file, with the mode of the one that it will replace; or the device itself. */
static int nc__writer_create(nc__writer *w) {
    struct stat old;
    unsigned attempt;
    int exists;
    if (!nc__resolve(w->target, sizeof w->target)) return 0;
    exists = stat(w->target, &old) == 0;
    w->direct = nc__descriptor(w->target) >= 0 || (exists && !S_ISREG(old.st_mode));
    if (nc__descriptor(w->target) >= 0)
        w->fd = dup(nc__descriptor(w->target));
    else if (w->direct && !S_ISBLK(old.st_mode)) /* a disk is never meant */
        w->fd = open(w->target, O_WRONLY);
    for (attempt = 0; !w->direct && attempt < 100 && w->fd < 0; attempt++) {
        snprintf(w->temporary, sizeof w->temporary, "%s.tmp%ld.%u", w->target, (long)getpid(),
                 attempt);
        w->fd = open(w->temporary, O_WRONLY | O_CREAT | O_EXCL, exists ? old.st_mode & 0777 : 0666);
    }
    if (w->fd >= 0 && !w->direct && exists) nc__inherit(w->temporary, &old);
    return w->fd >= 0;
}
#endif

static NC_UNUSED nc_status nc__writer_open(nc__writer *w, const char *path, nc_error *err) {
    memset(w, 0, sizeof *w);
    if (strlen(path) >= sizeof w->target)
        return nc__fail(err, NC_ERR_ARG, 0, 0, "a path of %lu characters is too long",
                        (unsigned long)strlen(path));
    memcpy(w->target, path, strlen(path) + 1);
    errno = 0;
#if defined(NC__POSIX_FILES)
    w->fd = -1;
    w->ok = nc__writer_create(w);
#else
    snprintf(w->temporary, sizeof w->temporary, "%s.tmp%lx", path,
             (unsigned long)((uintptr_t)w >> 4));
    w->file = fopen(w->temporary, "wb");
    w->ok = w->file != NULL;
#endif
    return w->ok ? NC_OK : nc__file_error(err, "create", path, errno);
}

/* Does nothing after an error, which nc__writer_close reports. */
static NC_UNUSED void nc__writer_put(nc__writer *w, const void *data, size_t bytes) {
#if defined(NC__POSIX_FILES)
    const char *at = (const char *)data;
    while (w->ok && bytes) {
        const size_t piece = bytes < (size_t)1 << 30 ? bytes : (size_t)1 << 30;
        const long n = (long)write(w->fd, at, piece);
        w->ok = n > 0 || (n < 0 && errno == EINTR);
        if (!w->ok) w->reason = n < 0 ? errno : ENOSPC;
        if (n <= 0) continue;
        at += n;
        bytes -= (size_t)n;
    }
#else
    w->ok = w->ok && (bytes == 0 || fwrite(data, 1, bytes, w->file) == bytes);
    if (!w->ok && !w->reason) w->reason = errno;
#endif
}

/* Put the file in its place, or with keep 0, and after an error, leave everything as it was. */
static NC_UNUSED nc_status nc__writer_close(nc__writer *w, int keep, nc_error *err) {
    if (w->ok) errno = 0;
#if defined(NC__POSIX_FILES)
    w->ok = w->ok && (w->direct || !keep || fsync(w->fd) == 0);
    w->ok = close(w->fd) == 0 && w->ok;
    if (!w->direct) w->ok = w->ok && (!keep || rename(w->temporary, w->target) == 0);
#elif defined(_WIN32)
    w->ok = fflush(w->file) == 0 && w->ok && _commit(_fileno(w->file)) == 0;
    w->ok = fclose(w->file) == 0 && w->ok;
    w->ok = w->ok && (!keep || MoveFileExA(w->temporary, w->target, 1 | 8)); /* replace, flush */
#else
    w->ok = fclose(w->file) == 0 && w->ok;
    w->ok = w->ok && (!keep || rename(w->temporary, w->target) == 0);
#endif
    if (!w->ok && !w->reason) w->reason = errno;
    if (!w->direct && (!w->ok || !keep)) (void)remove(w->temporary);
    if (!w->ok) return nc__file_error(err, "write", w->target, w->reason);
#if defined(NC__POSIX_FILES)
    if (!w->direct && keep) nc__sync_directory(w->target);
#endif
    return NC_OK;
}

static NC_UNUSED nc_status nc__file_write(const char *path, const nc__span *spans, size_t count,
                                          nc_error *err) {
    nc__writer w;
    nc_status status = nc__writer_open(&w, path, err);
    size_t i;
    for (i = 0; i < count && status == NC_OK; i++)
        nc__writer_put(&w, spans[i].data, spans[i].bytes);
    return status == NC_OK ? nc__writer_close(&w, 1, err) : status;
}

NC__SHARED nc_status nc_file_read(const char *path, char **data, size_t *bytes, nc_error *err) {
    uint8_t *read = NULL;
    size_t n = 0;
    nc_status status;
    nc__clear(err);
    if (data) *data = NULL;
    if (!path || !data || !bytes) return nc__fail(err, NC_ERR_ARG, 0, 0, "no path or no result");
    status = nc__file_read(path, NULL, &read, &n, err);
    *data = (char *)read;
    *bytes = n;
    return status;
}

NC__SHARED void nc_file_free(char *data) { nc__free(NULL, data, 0); }

NC__SHARED nc_status nc_file_write(const char *path, const void *data, size_t bytes,
                                   nc_error *err) {
    nc__span span;
    nc__clear(err);
    if (!path || (!data && bytes)) return nc__fail(err, NC_ERR_ARG, 0, 0, "no path or no data");
    span.data = data;
    span.bytes = bytes;
    return nc__file_write(path, &span, 1, err);
}
NC__COLD_END
#endif /* NC_NO_STDIO */
#endif
/* ==== end of nc base implementation ================================================ */

/* >>scalars ======================================================================== */

/* -- arithmetic -- */

#ifndef NC_ASSERT /* checks of debug builds; nothing unless the user says what */
#define NC_ASSERT(condition) ((void)0)
#endif

#define NC_GL__EPSILON UINT64_C(0xFFFFFFFF) /* 2^64 mod p */

/* *out = a + b or a - b modulo 2^64; 1 where that wrapped, else 0. The builtins leave it to the
 * processor's carry flag. */
static inline uint64_t nc_gl__carry(uint64_t a, uint64_t b, uint64_t *out) {
#if defined(__GNUC__)
    return (uint64_t)__builtin_add_overflow(a, b, out);
#else
    *out = a + b;
    return (uint64_t)(*out < a);
#endif
}
static inline uint64_t nc_gl__borrow(uint64_t a, uint64_t b, uint64_t *out) {
#if defined(__GNUC__)
    return (uint64_t)__builtin_sub_overflow(a, b, out);
#else
    *out = a - b;
    return (uint64_t)(a < b);
#endif
}

/* What a carry of 2^64 is worth modulo p. */
static inline uint64_t nc_gl__carried(uint64_t carry) { return NC_GL__EPSILON & (0 - carry); }

/* Integers below 2^128: sums of products before they are reduced. */
typedef struct nc_gl__wide {
    uint64_t lo, hi;
} nc_gl__wide;

static inline nc_gl__wide nc_gl__wide_make(uint64_t hi, uint64_t lo) {
    nc_gl__wide w;
    w.lo = lo;
    w.hi = hi;
    return w;
}
static inline nc_gl__wide nc_gl__wide_add(nc_gl__wide a, uint64_t b) {
    a.hi += nc_gl__carry(a.lo, b, &a.lo);
    return a;
}
static inline nc_gl__wide nc_gl__wide_sum(nc_gl__wide a, nc_gl__wide b) {
    a.hi += b.hi + nc_gl__carry(a.lo, b.lo, &a.lo);
    return a;
}
static inline nc_gl__wide nc_gl__wide_difference(nc_gl__wide a, nc_gl__wide b) {
    a.hi -= b.hi + nc_gl__borrow(a.lo, b.lo, &a.lo);
    return a;
}

static inline nc_gl__wide nc_gl__mul_wide(uint64_t a, uint64_t b) {
#if defined(__SIZEOF_INT128__)
    __extension__ typedef unsigned __int128 nc_gl__u128;
    nc_gl__u128 p = (nc_gl__u128)a * b;
    return nc_gl__wide_make((uint64_t)(p >> 64), (uint64_t)p);
#else
    /* four products of halves; the middle ones meet in `mid`, at most 3 (2^32 - 1) */
    uint64_t a0 = a & NC_GL__EPSILON, a1 = a >> 32, b0 = b & NC_GL__EPSILON, b1 = b >> 32;
    uint64_t p00 = a0 * b0, p01 = a0 * b1, p10 = a1 * b0;
    uint64_t mid = (p00 >> 32) + (p01 & NC_GL__EPSILON) + (p10 & NC_GL__EPSILON);
    return nc_gl__wide_make(a1 * b1 + (p01 >> 32) + (p10 >> 32) + (mid >> 32),
                            (p00 & NC_GL__EPSILON) | mid << 32);
#endif
}

/* x < 2^64 to canonical: one conditional subtraction, since 2^64 < 2p; -p is 2^32 - 1 - 2^64. */
static nc_gl nc_gl__canonical(uint64_t x) { return x + nc_gl__carried((uint64_t)(x >= NC_GL_P)); }

/* w mod p: any value below 2^64 that is right mod p. With w = lo + 2^64 h0 + 2^96 h1,
 * 2^64 = 2^32 - 1 and 2^96 = -1 it is lo - h1 + h0 (2^32 - 1); each borrow or carry of 2^64 is
 * repaid by 2^32 - 1. The second repayment cannot overflow: h0 (2^32 - 1) <= 2^64 - 2^33 + 1. */
static uint64_t nc_gl__reduce_lazy(nc_gl__wide w) {
    uint64_t t, r, over = nc_gl__borrow(w.lo, w.hi >> 32, &t);
    t -= nc_gl__carried(over);
    over = nc_gl__carry(t, (w.hi & NC_GL__EPSILON) * NC_GL__EPSILON, &r);
    return r + nc_gl__carried(over);
}

/* The same, canonical: the last sum t + u is taken as t - (p - u), and a p more where that is
 * negative, so that one comparison is for carry and canonical form together. For any t < 2^64 it is
 * below p, since u <= 2^64 - 2^33 + 1 makes t + u - p < 2^64 - 2^32. */
static nc_gl nc_gl__reduce(nc_gl__wide w) {
    uint64_t t, over = nc_gl__borrow(w.lo, w.hi >> 32, &t);
    t -= nc_gl__carried(over);
    return nc_gl_sub(t, NC_GL_P - (w.hi & NC_GL__EPSILON) * NC_GL__EPSILON);
}

NC_API nc_gl nc_gl_from_u64(uint64_t value) { return nc_gl__canonical(value); }

NC_API nc_gl nc_gl_from_i64(int64_t value) {
    return value < 0 ? NC_GL_P - (0 - (uint64_t)value) : (uint64_t)value;
}

NC_API int64_t nc_gl_to_i64(nc_gl a) {
    return a > (NC_GL_P - 1) / 2 ? -(int64_t)(NC_GL_P - a) : (int64_t)a;
}

NC_API nc_gl nc_gl_add(nc_gl a, nc_gl b) {
    return nc_gl_sub(a, NC_GL_P - b); /* right for any a < 2^64: a + b < 2p, one p is enough */
}

NC_API nc_gl nc_gl_sub(nc_gl a, nc_gl b) {
    uint64_t d, borrow = nc_gl__borrow(a, b, &d);
    return d - nc_gl__carried(borrow);
}

NC_API nc_gl nc_gl_neg(nc_gl a) { return (NC_GL_P - a) & (0 - (uint64_t)(a != 0)); }

NC_API nc_gl nc_gl_mul(nc_gl a, nc_gl b) { return nc_gl__reduce(nc_gl__mul_wide(a, b)); }

NC_API nc_gl nc_gl_sqr(nc_gl a) { return nc_gl_mul(a, a); }

NC_API nc_gl nc_gl_mul_add(nc_gl a, nc_gl b, nc_gl c) {
    return nc_gl__reduce(nc_gl__wide_add(nc_gl__mul_wide(a, b), c)); /* (p-1)^2 + p-1 < 2^128 */
}

NC_API nc_gl nc_gl_dbl(nc_gl a) { return nc_gl_add(a, a); }

NC_API nc_gl nc_gl_halve(nc_gl a) { return (a >> 1) + (((NC_GL_P + 1) / 2) & (0 - (a & 1))); }

NC_API nc_gl nc_gl_mul_pow2(nc_gl a, uint32_t k) {
    k %= 192; /* 2 has order 192 */
    if (k >= 96) {
        a = nc_gl_neg(a);
        k -= 96;
    }
    if (k >= 64) { /* 2^64 = 2^32 - 1 */
        a = nc_gl_mul(a, NC_GL__EPSILON);
        k -= 64;
    }
    return nc_gl__reduce(nc_gl__wide_make(k ? a >> (64 - k) : 0, a << k));
}

NC_API nc_gl nc_gl_pow(nc_gl a, uint64_t exponent) {
    nc_gl result = 1;
    for (; exponent; exponent >>= 1) {
        if (exponent & 1) result = nc_gl_mul(result, a);
        a = nc_gl_sqr(a);
    }
    return result;
}

/* Zeros below the lowest one of x > 0. */
static inline int nc_gl__trailing_zeros(uint64_t x) {
#ifdef __GNUC__
    return __builtin_ctzll(x);
#else
    int n = 0;
    for (; !(x & 1); x >>= 1) n++;
    return n;
#endif
}

/* Some turns of the binary Euclidean algorithm on x and y, both odd but for 2^zeros in x: the
 * larger gives way to the difference, and that loses its factors of 2. The new ones are
 * (f[0] x + f[1] y) / 2^s and (f[2] x + f[3] y) / 2^s of the old ones, with the returned s <= 62: a
 * turn doubles the coefficients at most and halves at least once, so none exceeds 2^s. */
static inline int nc_gl__euclid(uint64_t *x, uint64_t *y, int *zeros, int64_t f[4]) {
    uint64_t a = *x, b = *y;
    int64_t a0 = 1, a1 = 0, b0 = 0, b1 = 1, t;
    int left = 62;
    while (*zeros <= left) {
        const uint64_t odd = a >> *zeros, gap = odd - b, less = (uint64_t)0 - (odd < b);
        b0 = (int64_t)((uint64_t)b0 << *zeros);
        b1 = (int64_t)((uint64_t)b1 << *zeros);
        left -= *zeros;
        a = odd;
        if (gap == 0) break;
        *zeros = nc_gl__trailing_zeros(gap);
        b = less ? odd : b;
        a = (gap ^ less) - less;
        t = (a0 ^ b0) & (int64_t)less, a0 ^= t, b0 ^= t; /* exchanged */
        t = (a1 ^ b1) & (int64_t)less, a1 ^= t, b1 ^= t;
        a0 -= b0, a1 -= b1;
    }
    *x = a, *y = b;
    f[0] = a0, f[1] = a1, f[2] = b0, f[3] = b1;
    return 62 - left;
}

/* a u + b v of signed a and b. */
static NC__NOINLINE nc_gl nc_gl__combine(int64_t a, nc_gl u, int64_t b, nc_gl v) {
    return nc_gl_add(nc_gl_mul(nc_gl_from_i64(a), u), nc_gl_mul(nc_gl_from_i64(b), v));
}

/* The greatest common divisor of a and p is 1 = (v a + .. p) / 2^halvings, found in turns of
 * nc_gl__euclid; 2^-1 = 2^191. */
NC_API nc_status nc_gl_inv(nc_gl a, nc_gl *out) {
    uint64_t x = a, y = NC_GL_P;
    nc_gl u = 1, v = 0, next;
    int halvings, zeros = 0;
    *out = 0;
    if (a == 0) return NC_ERR_MATH;
    halvings = nc_gl__trailing_zeros(x);
    x >>= halvings;
    do {
        int64_t f[4];
        if (zeros == 63) { /* more than one call can take */
            x >>= 1, zeros--, halvings++;
            v = nc_gl_dbl(v);
        }
        halvings += nc_gl__euclid(&x, &y, &zeros, f);
        next = nc_gl__combine(f[0], u, f[1], v);
        v = nc_gl__combine(f[2], u, f[3], v);
        u = next;
    } while (x != y);
    *out = nc_gl_mul_pow2(v, 192 - (uint32_t)halvings);
    return NC_OK;
}

NC__COLD_BEGIN

NC_API int nc_gl_legendre(nc_gl a) {
    if (a == 0) return 0;
    return nc_gl_pow(a, (NC_GL_P - 1) / 2) == 1 ? 1 : -1;
}

/* Tonelli and Shanks: p - 1 = 2^32 q with q = 2^32 - 1; c generates the subgroup of order 2^m,
 * where t = r^2 / a stays. Each turn halves t's order at least: there are 32 at most. */
NC_API nc_status nc_gl_sqrt(nc_gl a, nc_gl *out) {
    nc_gl c = NC_GL_ROOT_2_32, t, r, u;
    uint32_t m = NC_GL_TWO_ADICITY, order, i;
    *out = 0;
    if (a == 0) return NC_OK;
    if (nc_gl_legendre(a) != 1) return NC_ERR_MATH;
    t = nc_gl_pow(a, NC_GL__EPSILON);
    r = nc_gl_pow(a, (NC_GL__EPSILON + 1) / 2);
    while (t != 1) {
        for (order = 0, u = t; u != 1; order++) u = nc_gl_sqr(u);
        for (i = 0, u = c; i + order + 1 < m; i++) u = nc_gl_sqr(u);
        m = order;
        c = nc_gl_sqr(u);
        t = nc_gl_mul(t, c);
        r = nc_gl_mul(r, u);
    }
    *out = r > NC_GL_P - r ? NC_GL_P - r : r;
    return NC_OK;
}

NC_API nc_status nc_gl_root_of_unity(uint32_t log2_order, nc_gl *out) {
    nc_gl root = NC_GL_ROOT_2_32;
    uint32_t i;
    *out = 0;
    if (log2_order > NC_GL_TWO_ADICITY) return NC_ERR_ARG;
    for (i = log2_order; i < NC_GL_TWO_ADICITY; i++) root = nc_gl_sqr(root);
    *out = root;
    return NC_OK;
}

/* Digit by digit, checked before each step, so that value * base + digit stays below p. */
NC_API nc_status nc_gl_parse(const char *text, size_t n, nc_gl *out, nc_error *err) {
    uint64_t value = 0, base = 10;
    size_t i = 0;
    nc__clear(err);
    *out = 0;
    if (n > 2 && text[0] == '0' && (text[1] == 'x' || text[1] == 'X')) {
        base = 16;
        i = 2;
    }
    if (i == n) return nc__fail(err, NC_ERR_FORMAT, 1, 1, "expected a number");
    for (; i < n; i++) {
        char c = text[i];
        uint64_t digit = 99;
        if (c >= '0' && c <= '9') digit = (uint64_t)(c - '0');
        if (c >= 'a' && c <= 'f') digit = (uint64_t)(c - 'a') + 10;
        if (c >= 'A' && c <= 'F') digit = (uint64_t)(c - 'A') + 10;
        if (digit >= base)
            return nc__fail(err, NC_ERR_FORMAT, 1, i + 1, "not a digit of a base-%d number",
                            (int)base);
        if (value > (NC_GL_P - 1 - digit) / base)
            return nc__fail(err, NC_ERR_LIMIT, 1, i + 1, "number is not below p = 2^64 - 2^32 + 1");
        value = value * base + digit;
    }
    *out = value;
    return NC_OK;
}

NC_API size_t nc_gl_print(nc_gl a, char text[21]) {
    char reversed[20];
    size_t n = 0, i;
    do {
        reversed[n++] = (char)('0' + (int)(a % 10));
        a /= 10;
    } while (a);
    for (i = 0; i < n; i++) text[i] = reversed[n - 1 - i];
    text[n] = 0;
    return n;
}

NC_API size_t nc_gl_pack_bytes(nc_gl *out, const void *bytes, size_t n) {
    const uint8_t *from = (const uint8_t *)bytes;
    size_t i;
    for (i = 0; i < n; i++) {
        if (i % 7 == 0) out[i / 7] = 0;
        out[i / 7] |= (uint64_t)from[i] << (8 * (i % 7));
    }
    return n / 7 + (n % 7 != 0);
}

NC__COLD_END

/* >>extensions ===================================================================== */

NC__WARM_BEGIN

NC_API void nc_gl_ext2_add(nc_gl out[2], const nc_gl a[2], const nc_gl b[2]) {
    int i;
    for (i = 0; i < 2; i++) out[i] = nc_gl_add(a[i], b[i]);
}

NC_API void nc_gl_ext2_sub(nc_gl out[2], const nc_gl a[2], const nc_gl b[2]) {
    int i;
    for (i = 0; i < 2; i++) out[i] = nc_gl_sub(a[i], b[i]);
}

NC_API void nc_gl_ext2_mul(nc_gl out[2], const nc_gl a[2], const nc_gl b[2]) {
    nc_gl high = nc_gl_mul(a[1], b[1]);
    nc_gl cross = nc_gl_mul_add(a[0], b[1], nc_gl_mul(a[1], b[0]));
    out[0] = nc_gl_mul_add(a[0], b[0], nc_gl_mul(7, high));
    out[1] = cross;
}

NC_API void nc_gl_ext2_sqr(nc_gl out[2], const nc_gl a[2]) {
    nc_gl high = nc_gl_sqr(a[1]), cross = nc_gl_dbl(nc_gl_mul(a[0], a[1]));
    out[0] = nc_gl_mul_add(a[0], a[0], nc_gl_mul(7, high));
    out[1] = cross;
}

NC_API void nc_gl_ext2_mul_base(nc_gl out[2], const nc_gl a[2], nc_gl s) {
    int i;
    for (i = 0; i < 2; i++) out[i] = nc_gl_mul(s, a[i]);
}

NC__COLD_BEGIN

NC_API nc_status nc_gl_ext2_inv(nc_gl out[2], const nc_gl a[2]) {
    /* conjugate / norm; the norm a0^2 - 7 a1^2 is 0 only for a = 0, as 7 is no square */
    nc_gl norm = nc_gl_sub(nc_gl_sqr(a[0]), nc_gl_mul(7, nc_gl_sqr(a[1]))), inverse;
    nc_status status = nc_gl_inv(norm, &inverse);
    out[0] = nc_gl_mul(a[0], inverse);
    out[1] = nc_gl_mul(nc_gl_neg(a[1]), inverse);
    return status;
}

NC_API void nc_gl_ext2_frobenius(nc_gl out[2], const nc_gl a[2]) {
    out[0] = a[0];
    out[1] = nc_gl_neg(a[1]);
}

NC__COLD_END

NC_API void nc_gl_ext3_add(nc_gl out[3], const nc_gl a[3], const nc_gl b[3]) {
    int i;
    for (i = 0; i < 3; i++) out[i] = nc_gl_add(a[i], b[i]);
}

NC_API void nc_gl_ext3_sub(nc_gl out[3], const nc_gl a[3], const nc_gl b[3]) {
    int i;
    for (i = 0; i < 3; i++) out[i] = nc_gl_sub(a[i], b[i]);
}

NC_API void nc_gl_ext3_mul(nc_gl out[3], const nc_gl a[3], const nc_gl b[3]) {
    nc_gl d[5] = {0, 0, 0, 0, 0}; /* x^3 = x - 1, x^4 = x^2 - x */
    int i, j;
    for (i = 0; i < 3; i++)
        for (j = 0; j < 3; j++) d[i + j] = nc_gl_mul_add(a[i], b[j], d[i + j]);
    out[0] = nc_gl_sub(d[0], d[3]);
    out[1] = nc_gl_sub(nc_gl_add(d[1], d[3]), d[4]);
    out[2] = nc_gl_add(d[2], d[4]);
}

NC_API void nc_gl_ext3_sqr(nc_gl out[3], const nc_gl a[3]) {
    nc_gl d1 = nc_gl_dbl(nc_gl_mul(a[0], a[1])), d3 = nc_gl_dbl(nc_gl_mul(a[1], a[2]));
    nc_gl d2 = nc_gl_mul_add(a[1], a[1], nc_gl_dbl(nc_gl_mul(a[0], a[2])));
    nc_gl d0 = nc_gl_sqr(a[0]), d4 = nc_gl_sqr(a[2]);
    out[0] = nc_gl_sub(d0, d3); /* x^3 = x - 1, x^4 = x^2 - x */
    out[1] = nc_gl_sub(nc_gl_add(d1, d3), d4);
    out[2] = nc_gl_add(d2, d4);
}

NC_API void nc_gl_ext3_mul_base(nc_gl out[3], const nc_gl a[3], nc_gl s) {
    int i;
    for (i = 0; i < 3; i++) out[i] = nc_gl_mul(s, a[i]);
}

NC__COLD_BEGIN

/* Row i of m is a x^i; c solves c m = 1 by Cramer's rule: the first column's cofactors over the
 * determinant, the norm of a, which is 0 for a = 0 alone. */
NC_API nc_status nc_gl_ext3_inv(nc_gl out[3], const nc_gl a[3]) {
    nc_gl m[3][3], c[3], det = 0, inverse;
    nc_status status;
    int i;
    memcpy(m[0], a, sizeof m[0]);
    for (i = 1; i < 3; i++) {
        m[i][0] = nc_gl_neg(m[i - 1][2]);
        m[i][1] = nc_gl_add(m[i - 1][0], m[i - 1][2]);
        m[i][2] = m[i - 1][1];
    }
    for (i = 0; i < 3; i++) {
        int j = (i + 1) % 3, k = (i + 2) % 3;
        c[i] = nc_gl_sub(nc_gl_mul(m[j][1], m[k][2]), nc_gl_mul(m[k][1], m[j][2]));
        det = nc_gl_mul_add(m[i][0], c[i], det);
    }
    status = nc_gl_inv(det, &inverse);
    nc_gl_ext3_mul_base(out, c, inverse);
    return status;
}

NC_API void nc_gl_ext3_frobenius(nc_gl out[3], const nc_gl a[3]) {
    static const nc_gl x_p[3] = {
        UINT64_C(7831040667286096068), UINT64_C(10050274602728160328),
        UINT64_C(6700183068485440219)}; /* x^p and x^2p, by the field law */
    static const nc_gl x_2p[3] = {UINT64_C(6700183068485440220), UINT64_C(3915520333643048034),
                                  UINT64_C(8396469466686423992)};
    nc_gl a0 = a[0], a1 = a[1], a2 = a[2];
    int i;
    for (i = 0; i < 3; i++)
        out[i] = nc_gl_mul_add(a1, x_p[i], nc_gl_mul_add(a2, x_2p[i], i ? 0 : a0));
}

NC__COLD_END

NC__WARM_END

/* >>simd =========================================================================== */

/* Forms of the vector code, named by the width of what they hold: 64 (plain C, the reference), 128
 * (NEON), 256 (AVX2) and 512 (AVX-512, with IFMA where level 3 says so). Each has the operations
 * below under the same names; loops and kernels are written once, as macros over the suffix S. */
#define NC_GL__V64 nc_gl
#define NC_GL__LANES64 1
#define NC_GL__TARGET64
#define NC_GL__INLINE64 static inline NC_UNUSED

#if !defined(NC_NO_SIMD) && defined(__GNUC__) && defined(__x86_64__)
#define NC_GL__X86
#include <immintrin.h>
#define NC_GL__V256 __m256i
#define NC_GL__V512 __m512i
#define NC_GL__LANES256 4
#define NC_GL__LANES512 8
#define NC_GL__TARGET256 __attribute__((target("avx2,fma")))
#define NC_GL__TARGET512 __attribute__((target("avx512f,avx512bw,avx512dq,avx512vl")))
#define NC_GL__TARGET_IFMA __attribute__((target("avx512f,avx512bw,avx512dq,avx512vl,avx512ifma")))
#define NC_GL__INLINE256 static inline __attribute__((always_inline, unused)) NC_GL__TARGET256
#define NC_GL__INLINE512 static inline __attribute__((always_inline, unused)) NC_GL__TARGET512
#define NC_GL__INLINE_IFMA static inline __attribute__((always_inline, unused)) NC_GL__TARGET_IFMA
#if !defined(__clang__)
#pragma GCC diagnostic push /* gcc 12 warns about its own _mm512_undefined (its bug 105593) */
#pragma GCC diagnostic ignored "-Wmaybe-uninitialized"
#pragma GCC diagnostic ignored "-Wuninitialized"
#pragma GCC push_options /* vectors are written out: looking for more takes time and finds none */
#pragma GCC optimize("no-tree-vectorize")
#endif
#endif

#ifdef NC__NEON
#define NC_GL__NEON
#include <arm_neon.h>
#define NC_GL__V128 uint64x2_t
#define NC_GL__LANES128 2
#define NC_GL__TARGET128
#define NC_GL__INLINE128 static inline __attribute__((always_inline, unused))
#endif

/* -- levels -- */

/* 0 portable, 1 AVX2, 2 AVX-512, 3 AVX-512 with IFMA; NEON: 1, and 2 for the same with dot
 * products. */
static NC__NOINLINE int nc_gl__best_level(void) {
    int level = nc__cpu_level();
#ifdef NC_GL__X86
    if (level == 2 && __builtin_cpu_supports("avx512ifma")) level = 3;
#endif
    return level;
}

static int nc_gl__forced_level = -1;

static NC_UNUSED int nc_gl__level(void) {
    static int best = -1;
    return nc__level(&nc_gl__forced_level, &best, nc_gl__best_level);
}

NC_API nc_status nc_gl_set_simd(int level) {
    if (level < -1 || level > 3) return NC_ERR_ARG;
    if (level > nc_gl__best_level()) return NC_ERR_UNSUPPORTED;
    NC__SET(nc_gl__forced_level, level);
    return NC_OK;
}

/* -- 64 bits -- */

#define NC_GL__HOLD64(x)
#define NC_GL__PLUS64(a, b) ((a) + (b))
#define NC_GL__LEFT64(a, k) ((a) << (k))
#define NC_GL__RIGHT64(a, k) ((a) >> (k))
#define NC_GL__TIMES64(a, b) (((a)&NC_GL__EPSILON) * (b)) /* of the lower halves; b has no other */

NC_GL__INLINE64 nc_gl nc_gl__load64(const nc_gl *p) { return *p; }
NC_GL__INLINE64 void nc_gl__store64(nc_gl *p, nc_gl x) { *p = x; }
NC_GL__INLINE64 nc_gl nc_gl__set64(nc_gl x) { return x; }
NC_GL__INLINE64 nc_gl nc_gl__add64(nc_gl a, nc_gl b) { return nc_gl_add(a, b); }
NC_GL__INLINE64 nc_gl nc_gl__sub64(nc_gl a, nc_gl b) { return nc_gl_sub(a, b); }
NC_GL__INLINE64 nc_gl nc_gl__mul64(nc_gl a, nc_gl b) { return nc_gl_mul(a, b); }
NC_GL__INLINE64 nc_gl nc_gl__mul_add64(nc_gl a, nc_gl b, nc_gl c) { return nc_gl_mul_add(a, b, c); }

#ifdef NC_GL__X86
/* -- 256 bits -- */

#define NC_GL__PLUS256 _mm256_add_epi64
#define NC_GL__MINUS256 _mm256_sub_epi64
#define NC_GL__LEFT256(a, k) _mm256_slli_epi64(a, (int)(k))
#define NC_GL__RIGHT256(a, k) _mm256_srli_epi64(a, (int)(k))
#define NC_GL__TIMES256 _mm256_mul_epu32
#define NC_GL__AND256 _mm256_and_si256
/* The lower halves of a, and above them those of b. */
#define NC_GL__JOIN256(a, b) _mm256_blend_epi32(a, _mm256_slli_epi64(b, 32), 0xAA)

/* Words of 16 bits. */
#define NC_GL__PLUS_WORDS256 _mm256_add_epi16
#define NC_GL__MINUS_WORDS256 _mm256_sub_epi16
#define NC_GL__TIMES_WORDS256 _mm256_mullo_epi16
#define NC_GL__RIGHT_WORDS256 _mm256_srli_epi16
#define NC_GL__RIGHT_SIGNED256 _mm256_srai_epi16
/* Doubles, and their bits. */
#define NC_GL__D256 __m256d
#define NC_GL__PLUS_REAL256 _mm256_add_pd
#define NC_GL__MINUS_REAL256 _mm256_sub_pd
#define NC_GL__REAL256 _mm256_castsi256_pd
#define NC_GL__BITS256 _mm256_castpd_si256

NC_GL__INLINE256 __m256i nc_gl__load256(const nc_gl *p) {
    return _mm256_loadu_si256((const __m256i *)(const void *)p);
}
/* The high halves in the low ones, for 4 bytes that may be read behind: the load units do what
 * would be one more instruction for the busier ones. */
NC_GL__INLINE256 __m256i nc_gl__load_high256(const nc_gl *p) {
    return _mm256_loadu_si256((const __m256i *)(const void *)((const char *)p + 4));
}
NC_GL__INLINE256 void nc_gl__store256(nc_gl *p, __m256i x) {
    _mm256_storeu_si256((__m256i *)(void *)p, x);
}
NC_GL__INLINE256 __m256i nc_gl__set256(nc_gl x) { return _mm256_set1_epi64x((long long)x); }
/* Factors of 32 x 32 bits: the low halves of x, or the 32 bits from byte `at` on of *p in all
 * lanes; sums with their products, also with signed ones. */
#define NC_GL__HALF256 __m256i
NC_GL__INLINE256 __m256i nc_gl__narrow256(__m256i x) { return x; }
NC_GL__INLINE256 __m256i nc_gl__set_half256(const void *p, size_t at) {
    int half;
    memcpy(&half, (const char *)p + at, sizeof half);
    return _mm256_set1_epi32(half);
}
NC_GL__INLINE256 __m256i nc_gl__add_product256(__m256i sum, __m256i a, __m256i b) {
    return _mm256_add_epi64(sum, _mm256_mul_epu32(a, b));
}
NC_GL__INLINE256 __m256i nc_gl__add_signed256(__m256i sum, __m256i a, __m256i b) {
    return _mm256_add_epi64(sum, _mm256_mul_epi32(a, b));
}
NC_GL__INLINE256 __m256i nc_gl__words256(int x) { return _mm256_set1_epi16((short)x); }
NC_GL__INLINE256 __m256d nc_gl__real256(double x) { return _mm256_set1_pd(x); }
NC_GL__INLINE256 __m256d nc_gl__fma256(__m256d a, __m256d b, __m256d c) {
    return _mm256_fmadd_pd(a, b, c);
}
/* x in the words where a > b, else 0. */
NC_GL__INLINE256 __m256i nc_gl__above_words256(__m256i a, __m256i b, __m256i x) {
    return _mm256_and_si256(_mm256_cmpgt_epi16(a, b), x);
}

/* AVX2 compares signed numbers only. Moved by 2^63, unsigned ones are in that order; the operations
 * below stay with such biased numbers as long as they can. */
#define NC_GL__BIAS (UINT64_C(1) << 63)
NC_GL__INLINE256 __m256i nc_gl__biased256(__m256i x) {
    return _mm256_xor_si256(x, nc_gl__set256(NC_GL__BIAS));
}

/* To the compilers a new value: they would compute it again for each of its uses. */
#define NC_GL__HOLD256(x) __asm__("" : "+x"(x));

/* a - b, and + p where that is negative, for biased a and b; the biases cancel. */
NC_GL__INLINE256 __m256i nc_gl__sub_biased256(__m256i a, __m256i b) {
    __m256i negative;
    NC_GL__HOLD256(b)
    negative = _mm256_cmpgt_epi64(b, a);
    return _mm256_add_epi64(_mm256_sub_epi64(a, b),
                            _mm256_and_si256(negative, nc_gl__set256(NC_GL_P)));
}

NC_GL__INLINE256 __m256i nc_gl__sub256(__m256i a, __m256i b) {
    return nc_gl__sub_biased256(nc_gl__biased256(a), nc_gl__biased256(b));
}

/* a - (p - b): one comparison for carry and canonical form together. */
NC_GL__INLINE256 __m256i nc_gl__add256(__m256i a, __m256i b) {
    const __m256i biased_p = nc_gl__set256(NC_GL_P - NC_GL__BIAS);
    return nc_gl__sub_biased256(nc_gl__biased256(a), _mm256_sub_epi64(biased_p, b));
}

/* lo + 2^64 hi modulo p, as nc_gl__reduce. */
NC_GL__INLINE256 __m256i nc_gl__reduce256(__m256i lo, __m256i hi) {
    const __m256i epsilon = nc_gl__set256(NC_GL__EPSILON);
    __m256i from = nc_gl__biased256(lo), t = _mm256_sub_epi64(from, _mm256_srli_epi64(hi, 32));
    t = _mm256_sub_epi64(t, _mm256_and_si256(_mm256_cmpgt_epi64(t, from), epsilon));
    return nc_gl__sub_biased256(
        t, _mm256_sub_epi64(nc_gl__set256(NC_GL_P - NC_GL__BIAS), _mm256_mul_epu32(hi, epsilon)));
}

/* x / 2: half of x, or of x + p. */
NC_GL__INLINE256 __m256i nc_gl__halve256(__m256i x) {
    __m256i odd = _mm256_sub_epi64(_mm256_setzero_si256(), _mm256_and_si256(x, nc_gl__set256(1)));
    return _mm256_add_epi64(_mm256_srli_epi64(x, 1),
                            _mm256_and_si256(odd, nc_gl__set256((NC_GL_P + 1) / 2)));
}

/* 1 in place of 0, and how many there were. */
NC_GL__INLINE256 __m256i nc_gl__fill256(__m256i x, size_t *zeros) {
    __m256i zero = _mm256_cmpeq_epi64(x, _mm256_setzero_si256());
    *zeros += (size_t)__builtin_popcount((unsigned)_mm256_movemask_pd(_mm256_castsi256_pd(zero)));
    return _mm256_sub_epi64(x, zero);
}

/* r where x is not 0, else 0. */
NC_GL__INLINE256 __m256i nc_gl__keep256(__m256i r, __m256i x) {
    return _mm256_andnot_si256(_mm256_cmpeq_epi64(x, _mm256_setzero_si256()), r);
}

/* -- 512 bits -- */

#define NC_GL__HOLD512(x) __asm__("" : "+v"(x));
#define NC_GL__PLUS512 _mm512_add_epi64
#define NC_GL__MINUS512 _mm512_sub_epi64
#define NC_GL__LEFT512(a, k) _mm512_slli_epi64(a, (unsigned)(k))
#define NC_GL__RIGHT512(a, k) _mm512_srli_epi64(a, (unsigned)(k))
#define NC_GL__TIMES512 _mm512_mul_epu32
#define NC_GL__AND512 _mm512_and_si512
#define NC_GL__JOIN512(a, b) _mm512_mask_shuffle_epi32(a, 0xAAAA, b, _MM_PERM_CCAA)

#define NC_GL__PLUS_WORDS512 _mm512_add_epi16
#define NC_GL__MINUS_WORDS512 _mm512_sub_epi16
#define NC_GL__TIMES_WORDS512 _mm512_mullo_epi16
#define NC_GL__RIGHT_WORDS512 _mm512_srli_epi16
#define NC_GL__RIGHT_SIGNED512 _mm512_srai_epi16
#define NC_GL__D512 __m512d
#define NC_GL__PLUS_REAL512 _mm512_add_pd
#define NC_GL__MINUS_REAL512 _mm512_sub_pd
#define NC_GL__REAL512 _mm512_castsi512_pd
#define NC_GL__BITS512 _mm512_castpd_si512

/* The first n lanes of 8. */
NC_GL__INLINE512 __mmask8 nc_gl__first_lanes(size_t n) {
    return (__mmask8)(n >= 8 ? 255u : (1u << n) - 1u);
}
NC_GL__INLINE512 __m512i nc_gl__load512(const nc_gl *p) {
    return _mm512_loadu_si512((const void *)p);
}
NC_GL__INLINE512 void nc_gl__store512(nc_gl *p, __m512i x) { _mm512_storeu_si512((void *)p, x); }
NC_GL__INLINE512 __m512i nc_gl__set512(nc_gl x) { return _mm512_set1_epi64((long long)x); }
NC_GL__INLINE512 __m512i nc_gl__words512(int x) { return _mm512_set1_epi16((short)x); }
NC_GL__INLINE512 __m512d nc_gl__real512(double x) { return _mm512_set1_pd(x); }
NC_GL__INLINE512 __m512d nc_gl__fma512(__m512d a, __m512d b, __m512d c) {
    return _mm512_fmadd_pd(a, b, c);
}
NC_GL__INLINE512 __m512i nc_gl__above_words512(__m512i a, __m512i b, __m512i x) {
    return _mm512_maskz_mov_epi16(_mm512_cmpgt_epi16_mask(a, b), x);
}

/* Canonical for a canonical b and canonical a; for any other a < 2^64 right modulo p. */
NC_GL__INLINE512 __m512i nc_gl__sub512(__m512i a, __m512i b) {
    __m512i d = _mm512_sub_epi64(a, b);
    return _mm512_mask_add_epi64(d, _mm512_cmplt_epu64_mask(a, b), d, nc_gl__set512(NC_GL_P));
}

/* a - (p - b): one comparison for carry and canonical form together. */
NC_GL__INLINE512 __m512i nc_gl__add512(__m512i a, __m512i b) {
    return nc_gl__sub512(a, _mm512_sub_epi64(nc_gl__set512(NC_GL_P), b));
}

/* x - p, which is larger than x where it wraps. */
NC_GL__INLINE512 __m512i nc_gl__canonical512(__m512i x) {
    return _mm512_min_epu64(x, _mm512_sub_epi64(x, nc_gl__set512(NC_GL_P)));
}

/* lo + 2^64 hi modulo p, as nc_gl__reduce. */
NC_GL__INLINE512 __m512i nc_gl__reduce512(__m512i lo, __m512i hi) {
    const __m512i epsilon = nc_gl__set512(NC_GL__EPSILON);
    __m512i h1 = _mm512_srli_epi64(hi, 32), u = _mm512_mul_epu32(hi, epsilon), t;
    t = _mm512_sub_epi64(lo, h1);
    t = _mm512_mask_sub_epi64(t, _mm512_cmplt_epu64_mask(lo, h1), t, epsilon);
    return nc_gl__sub512(t, _mm512_sub_epi64(nc_gl__set512(NC_GL_P), u));
}

/* See the forms of 256 bits. */
NC_GL__INLINE512 __m512i nc_gl__halve512(__m512i x) {
    __m512i half = _mm512_srli_epi64(x, 1);
    return _mm512_mask_add_epi64(half, _mm512_test_epi64_mask(x, nc_gl__set512(1)), half,
                                 nc_gl__set512((NC_GL_P + 1) / 2));
}
NC_GL__INLINE512 __m512i nc_gl__fill512(__m512i x, size_t *zeros) {
    __mmask8 zero = _mm512_testn_epi64_mask(x, x);
    *zeros += (size_t)__builtin_popcount((unsigned)zero);
    return _mm512_mask_mov_epi64(x, zero, nc_gl__set512(1));
}
NC_GL__INLINE512 __m512i nc_gl__keep512(__m512i r, __m512i x) {
    return _mm512_maskz_mov_epi64(_mm512_test_epi64_mask(x, x), r);
}

/* -- 256 and 512 bits -- */

#define NC_GL__HALF_WORDS(S)                                                                       \
    NC_GL__INLINE##S NC_GL__V##S nc_gl__high##S(NC_GL__V##S a) { return NC_GL__RIGHT##S(a, 32); }  \
    NC_GL__INLINE##S NC_GL__V##S nc_gl__low##S(NC_GL__V##S a) {                                    \
        return NC_GL__AND##S(a, nc_gl__set##S(NC_GL__EPSILON));                                    \
    }                                                                                              \
    /* 64 x 64 bits by four 32-bit products, for any a and b, whose high halves are the low */     \
    /* ones of ah and bh; returns the low half. No partial sum overflows: (2^32 - 1)^2 + 2 */      \
    /* (2^32 - 1) = 2^64 - 1. */                                                                   \
    NC_GL__INLINE##S NC_GL__V##S nc_gl__product##S(NC_GL__V##S a, NC_GL__V##S ah, NC_GL__V##S b,   \
                                                   NC_GL__V##S bh, NC_GL__V##S *hi) {              \
        NC_GL__V##S ll = NC_GL__TIMES##S(a, b), lh = NC_GL__TIMES##S(a, bh);                       \
        NC_GL__V##S hl = NC_GL__TIMES##S(ah, b), hh = NC_GL__TIMES##S(ah, bh);                     \
        NC_GL__V##S mid = NC_GL__PLUS##S(hl, nc_gl__high##S(ll));                                  \
        NC_GL__V##S cross = NC_GL__PLUS##S(lh, nc_gl__low##S(mid));                                \
        *hi = NC_GL__PLUS##S(NC_GL__PLUS##S(hh, nc_gl__high##S(mid)), nc_gl__high##S(cross));      \
        return NC_GL__JOIN##S(ll, cross);                                                          \
    }                                                                                              \
    NC_GL__INLINE##S NC_GL__V##S nc_gl__mul##S(NC_GL__V##S a, NC_GL__V##S b) {                     \
        NC_GL__V##S hi, lo = nc_gl__product##S(a, nc_gl__high##S(a), b, nc_gl__high##S(b), &hi);   \
        return nc_gl__reduce##S(lo, hi);                                                           \
    }                                                                                              \
    /* The middle product counts twice: ll + 2^33 lh + 2^64 hh. */                                 \
    NC_GL__INLINE##S NC_GL__V##S nc_gl__square##S(NC_GL__V##S a) {                                 \
        NC_GL__V##S ah = nc_gl__high##S(a), ll = NC_GL__TIMES##S(a, a);                            \
        NC_GL__V##S lh = NC_GL__TIMES##S(a, ah), hh = NC_GL__TIMES##S(ah, ah);                     \
        NC_GL__V##S mid = NC_GL__PLUS##S(lh, NC_GL__RIGHT##S(ll, 33));                             \
        return nc_gl__reduce##S(NC_GL__PLUS##S(ll, NC_GL__LEFT##S(lh, 33)),                        \
                                NC_GL__PLUS##S(hh, NC_GL__RIGHT##S(mid, 31)));                     \
    }                                                                                              \
    NC_GL__INLINE##S NC_GL__V##S nc_gl__mul_add##S(NC_GL__V##S a, NC_GL__V##S b, NC_GL__V##S c) {  \
        return nc_gl__add##S(nc_gl__mul##S(a, b), c);                                              \
    }
NC_GL__HALF_WORDS(256)
NC_GL__HALF_WORDS(512)
#undef NC_GL__HALF_WORDS

/* -- 512 bits with IFMA -- */

/* With a = a0 + 2^52 a1 and b alike, where a1 and b1 have 12 bits, IFMA sums the product as
 *     lo52(a0 b0) + 2^52 mid + 2^104 top,
 * mid = hi52(a0 b0) + lo52(a0 b1) + lo52(a1 b0) < 2^54, top = hi52(a0 b1) + hi52(a1 b0) + a1 b1 <
 * 2^24. With mid = m0 + 2^12 m1 + 2^44 m2 that is lo + m1 (2^32 - 1) - (m2 + 2^8 top), where lo =
 * lo52(a0 b0) + 2^52 m0 and the last bracket is below 2^32: the product is below 2^128. A mid that
 * begins at -2^12 takes 2^64 = 2^32 - 1 off; adding that to the rest again makes it the sum of lo
 * and a `rest` in 0 .. 2^64 - 2^32 + 1. One carry can come, and the repayment brings no other: the
 * sum is at most 2^65 - 2^32. The result is right modulo p, below 2^64; so may the factors be. */
NC_GL__INLINE_IFMA __m512i nc_gl__reduce_ifma(__m512i lo, __m512i mid, __m512i top) {
    const __m512i epsilon = nc_gl__set512(NC_GL__EPSILON);
    __m512i over = _mm512_sub_epi64(_mm512_srai_epi64(mid, 44), epsilon), rest, sum;
    over = _mm512_madd52lo_epu64(over, top, nc_gl__set512(1u << 8));
    rest = _mm512_sub_epi64(_mm512_mul_epu32(_mm512_srli_epi64(mid, 12), epsilon), over);
    sum = _mm512_add_epi64(lo, rest);
    return _mm512_mask_add_epi64(sum, _mm512_cmplt_epu64_mask(sum, rest), sum, epsilon);
}
NC_GL__INLINE_IFMA __m512i nc_gl__mul_ifma(__m512i a, __m512i b) {
    const __m512i a1 = _mm512_srli_epi64(a, 52), b1 = _mm512_srli_epi64(b, 52);
    __m512i mid = _mm512_madd52hi_epu64(nc_gl__set512(0 - (UINT64_C(1) << 12)), a, b);
    __m512i top = _mm512_madd52hi_epu64(_mm512_setzero_si512(), a, b1);
    mid = _mm512_madd52lo_epu64(_mm512_madd52lo_epu64(mid, a, b1), a1, b);
    top = _mm512_madd52lo_epu64(_mm512_madd52hi_epu64(top, a1, b), a1, b1);
    return nc_gl__reduce_ifma(_mm512_madd52lo_epu64(_mm512_slli_epi64(mid, 52), a, b), mid, top);
}
NC_GL__INLINE_IFMA __m512i nc_gl__mul_canonical_ifma(__m512i a, __m512i b) {
    return nc_gl__canonical512(nc_gl__mul_ifma(a, b));
}
NC_GL__INLINE_IFMA __m512i nc_gl__square_ifma(__m512i a) {
    const __m512i a1 = _mm512_srli_epi64(a, 52), twice = _mm512_add_epi64(a1, a1);
    __m512i mid = _mm512_madd52hi_epu64(nc_gl__set512(0 - (UINT64_C(1) << 12)), a, a);
    __m512i top = _mm512_madd52hi_epu64(_mm512_setzero_si512(), a, twice);
    mid = _mm512_madd52lo_epu64(mid, a, twice), top = _mm512_madd52lo_epu64(top, a1, a1);
    return nc_gl__reduce_ifma(_mm512_madd52lo_epu64(_mm512_slli_epi64(mid, 52), a, a), mid, top);
}
#endif

#ifdef NC_GL__NEON
/* -- 128 bits -- */

/* Two lanes, and products by halves. By llvm-mca (Neoverse N1) a product and its reduction take 7.1
 * cycles, 7.6 with mul and umulh, a point of a transform of eight 5.8, not 10.8, a term of a matrix
 * product 3.0, not 5.1, of a fixed-point one 0.5. The permutations, whose sums of 128 bits cost
 * plain C little, stay with it. */
#define NC_GL__PLUS128 vaddq_u64
#define NC_GL__MINUS128 vsubq_u64
#define NC_GL__LEFT128(a, k) vshlq_u64(a, vdupq_n_s64((int64_t)(k)))
#define NC_GL__RIGHT128(a, k) vshlq_u64(a, vdupq_n_s64(-(int64_t)(k)))
#define NC_GL__TIMES128(a, b) vmull_u32(vmovn_u64(a), vmovn_u64(b))
#define NC_GL__AND128 vandq_u64
#define NC_GL__JOIN128(a, b) vsliq_n_u64(a, b, 32)
#define NC_GL__HALF128 uint32x2_t

NC_GL__INLINE128 uint64x2_t nc_gl__load128(const nc_gl *p) { return vld1q_u64(p); }
NC_GL__INLINE128 void nc_gl__store128(nc_gl *p, uint64x2_t x) { vst1q_u64(p, x); }
NC_GL__INLINE128 uint64x2_t nc_gl__set128(nc_gl x) { return vdupq_n_u64(x); }
NC_GL__INLINE128 uint64x2_t nc_gl__high128(uint64x2_t x) { return vshrq_n_u64(x, 32); }
NC_GL__INLINE128 uint32x2_t nc_gl__narrow128(uint64x2_t x) { return vmovn_u64(x); }
NC_GL__INLINE128 uint32x2_t nc_gl__set_half128(const void *p, size_t at) {
    uint32_t half;
    memcpy(&half, (const char *)p + at, sizeof half);
    return vdup_n_u32(half);
}
NC_GL__INLINE128 uint64x2_t nc_gl__add_product128(uint64x2_t sum, uint32x2_t a, uint32x2_t b) {
    return vmlal_u32(sum, a, b);
}
NC_GL__INLINE128 uint64x2_t nc_gl__add_signed128(uint64x2_t sum, uint32x2_t a, uint32x2_t b) {
    return vreinterpretq_u64_s64(
        vmlal_s32(vreinterpretq_s64_u64(sum), vreinterpret_s32_u32(a), vreinterpret_s32_u32(b)));
}

/* Canonical for a canonical b and canonical a; for any other a < 2^64 right modulo p. */
NC_GL__INLINE128 uint64x2_t nc_gl__sub128(uint64x2_t a, uint64x2_t b) {
    return vaddq_u64(vsubq_u64(a, b), vandq_u64(vcltq_u64(a, b), nc_gl__set128(NC_GL_P)));
}
NC_GL__INLINE128 uint64x2_t nc_gl__add128(uint64x2_t a, uint64x2_t b) {
    return nc_gl__sub128(a, vsubq_u64(nc_gl__set128(NC_GL_P), b));
}

/* As nc_gl__product, with products that add, and nc_gl__reduce. */
NC_GL__INLINE128 uint64x2_t nc_gl__mul128(uint64x2_t a, uint64x2_t b) {
    const uint32x2_t al = vmovn_u64(a), ah = vshrn_n_u64(a, 32);
    const uint32x2_t bl = vmovn_u64(b), bh = vshrn_n_u64(b, 32), ones = vdup_n_u32(0xFFFFFFFF);
    uint64x2_t ll = vmull_u32(al, bl), mid = vmlal_u32(vshrq_n_u64(ll, 32), ah, bl);
    uint64x2_t cross = vmlal_u32(vmovl_u32(vmovn_u64(mid)), al, bh);
    uint64x2_t hi = vsraq_n_u64(vsraq_n_u64(vmull_u32(ah, bh), mid, 32), cross, 32);
    uint64x2_t lo = vsliq_n_u64(ll, cross, 32), h1 = vshrq_n_u64(hi, 32), t = vsubq_u64(lo, h1);
    t = vsubq_u64(t, vshrq_n_u64(vcltq_u64(lo, h1), 32));
    return nc_gl__sub128(t, vmlsl_u32(nc_gl__set128(NC_GL_P), vmovn_u64(hi), ones));
}
NC_GL__INLINE128 uint64x2_t nc_gl__fill128(uint64x2_t x, size_t *zeros) {
    const uint64x2_t zero = vceqzq_u64(x);
    *zeros += (size_t)(0 - vaddvq_u64(zero));
    return vsubq_u64(x, zero);
}
NC_GL__INLINE128 uint64x2_t nc_gl__keep128(uint64x2_t r, uint64x2_t x) {
    return vbicq_u64(r, vceqzq_u64(x));
}
NC_GL__INLINE128 uint64x2_t nc_gl__mul_add128(uint64x2_t a, uint64x2_t b, uint64x2_t c) {
    return nc_gl__add128(nc_gl__mul128(a, b), c);
}
#endif

/* -- all widths -- */

/* x 2^k for a constant 0 < k < 96, as a sum and difference of parts that need no product with more
 * than 2^32 - 1: for k <= 32 the overflow times 2^64 = 2^32 - 1; for k >= 64 the low 96 - k bits
 * times 2^64, less the rest (2^96 = -1); between, both. Sums may begin with any x 2^k below 2^64,
 * since they stay below 2 p. */
#define NC_GL__MUL_2K(S)                                                                           \
    NC_GL__INLINE##S NC_GL__V##S nc_gl__mul_2k##S(NC_GL__V##S x, uint32_t k) {                     \
        const NC_GL__V##S epsilon = nc_gl__set##S(NC_GL__EPSILON);                                 \
        NC_GL__V##S over;                                                                          \
        if (k >= 64) {                                                                             \
            over = NC_GL__RIGHT##S(NC_GL__LEFT##S(x, k - 32), 32);                                 \
            return nc_gl__sub##S(NC_GL__TIMES##S(over, epsilon), NC_GL__RIGHT##S(x, 96 - k));      \
        }                                                                                          \
        over = NC_GL__TIMES##S(NC_GL__RIGHT##S(x, 64 - k), epsilon);                               \
        if (k > 32) over = nc_gl__sub##S(over, NC_GL__RIGHT##S(x, 96 - k));                        \
        return nc_gl__add##S(NC_GL__LEFT##S(x, k), over);                                          \
    }
NC_GL__MUL_2K(64)
#ifdef NC_GL__X86
NC_GL__MUL_2K(256)
NC_GL__MUL_2K(512)
#elif defined(NC_GL__NEON)
NC_GL__MUL_2K(128)
#endif
#undef NC_GL__MUL_2K

/* >>vectors ======================================================================== */

static size_t nc_gl__least(size_t a, size_t b) { return a < b ? a : b; }

/* 1 when n elements at a and m at b share memory. */
static NC__NOINLINE int nc_gl__overlap(const nc_gl *a, size_t n, const nc_gl *b, size_t m) {
    uintptr_t x = (uintptr_t)a, y = (uintptr_t)b;
    if (n == 0 || m == 0) return 0;
    return x <= y ? y - x < nc__mul_size(n, sizeof *a) : x - y < nc__mul_size(m, sizeof *b);
}

/* The same, but for n elements at the same place. */
static NC__NOINLINE int nc_gl__torn(const nc_gl *out, const nc_gl *in, size_t n) {
    return out != in && nc_gl__overlap(out, n, in, n);
}

/* -- loops: each returns how many elements it did, as many as fill its registers -- */

#define NC_GL__BINARY(S, op)                                                                       \
    NC_GL__TARGET##S static size_t nc_gl__vec_##op##S(nc_gl *out, const nc_gl *a, const nc_gl *b,  \
                                                      size_t n) {                                  \
        size_t i;                                                                                  \
        for (i = 0; i + NC_GL__LANES##S <= n; i += NC_GL__LANES##S)                                \
            nc_gl__store##S(out + i,                                                               \
                            nc_gl__##op##S(nc_gl__load##S(a + i), nc_gl__load##S(b + i)));         \
        return i;                                                                                  \
    }

#define NC_GL__VECTORS(S)                                                                          \
    NC_GL__BINARY(S, add)                                                                          \
    NC_GL__BINARY(S, sub)                                                                          \
    NC_GL__TARGET##S static size_t nc_gl__vec_scale##S(nc_gl *out, nc_gl s, const nc_gl *a,        \
                                                       size_t n) {                                 \
        NC_GL__V##S factor = nc_gl__set##S(s);                                                     \
        size_t i;                                                                                  \
        for (i = 0; i + NC_GL__LANES##S <= n; i += NC_GL__LANES##S)                                \
            nc_gl__store##S(out + i, nc_gl__mul##S(factor, nc_gl__load##S(a + i)));                \
        return i;                                                                                  \
    }                                                                                              \
    NC_GL__TARGET##S static size_t nc_gl__vec_axpy##S(nc_gl *y, nc_gl s, const nc_gl *x,           \
                                                      size_t n) {                                  \
        NC_GL__V##S factor = nc_gl__set##S(s);                                                     \
        size_t i;                                                                                  \
        for (i = 0; i + NC_GL__LANES##S <= n; i += NC_GL__LANES##S)                                \
            nc_gl__store##S(                                                                       \
                y + i, nc_gl__mul_add##S(factor, nc_gl__load##S(x + i), nc_gl__load##S(y + i)));   \
        return i;                                                                                  \
    }                                                                                              \
    /* y[i] = y[i] x[i] + s */                                                                     \
    NC_GL__TARGET##S static size_t nc_gl__vec_horner##S(nc_gl *y, const nc_gl *x, nc_gl s,         \
                                                        size_t n) {                                \
        NC_GL__V##S addend = nc_gl__set##S(s);                                                     \
        size_t i;                                                                                  \
        for (i = 0; i + NC_GL__LANES##S <= n; i += NC_GL__LANES##S)                                \
            nc_gl__store##S(                                                                       \
                y + i, nc_gl__mul_add##S(nc_gl__load##S(y + i), nc_gl__load##S(x + i), addend));   \
        return i;                                                                                  \
    }
NC_GL__VECTORS(64)
NC_GL__BINARY(64, mul)

/* Sums of the low and of the high halves of products: neither reaches 2^128. */
typedef struct nc_gl__wide_sums {
    nc_gl__wide lo, hi;
} nc_gl__wide_sums;

static inline void nc_gl__wide_sums_add(nc_gl__wide_sums *s, nc_gl a, nc_gl b) {
    const nc_gl__wide product = nc_gl__mul_wide(a, b);
    s->lo = nc_gl__wide_add(s->lo, product.lo);
    s->hi = nc_gl__wide_add(s->hi, product.hi);
#if defined(__GNUC__) /* carries are counted at once: two instructions, not five */
    __asm__("" : "+r"(s->lo.hi), "+r"(s->hi.hi));
#endif
}

static nc_gl nc_gl__wide_sums_value(const nc_gl__wide_sums *s) { /* 2^64 = 2^32 - 1 */
    return nc_gl_mul_add(nc_gl__reduce(s->hi), NC_GL__EPSILON, nc_gl__reduce(s->lo));
}

/* Sum of a[i] b[i step]. */
static nc_gl nc_gl__dot64(const nc_gl *a, const nc_gl *b, size_t step, size_t n) {
    nc_gl__wide_sums s;
    size_t i;
    memset(&s, 0, sizeof s);
    for (i = 0; i < n; i++, b += step) nc_gl__wide_sums_add(&s, a[i], *b);
    return nc_gl__wide_sums_value(&s);
}

static void nc_gl__vec_sum64(nc_gl *sum, const nc_gl *a, size_t n) {
    size_t i;
    for (i = 0; i < n; i++) *sum = nc_gl_add(*sum, a[i]);
}

/* Montgomery's trick: scratch[i] = product of the nonzero values before i; from the inverse of all,
 * each value's and that of the product before it. Zeros are kept and counted. */
static void nc_gl__batch_inv64(nc_gl *out, const nc_gl *in, size_t n, nc_gl *scratch,
                               size_t *zeros) {
    nc_gl product = 1, inverse;
    size_t i;
    for (i = 0; i < n; i++) {
        scratch[i] = product;
        if (in[i]) product = nc_gl_mul(product, in[i]);
        *zeros += (size_t)(in[i] == 0);
    }
    (void)nc_gl_inv(product, &inverse);
    for (i = n; i-- > 0;) {
        nc_gl value = in[i];
        out[i] = value ? nc_gl_mul(inverse, scratch[i]) : 0;
        if (value) inverse = nc_gl_mul(inverse, value);
    }
}

#if defined(NC_GL__X86) || defined(NC_GL__NEON)
#define NC_GL__VECTOR_SUM(S)                                                                       \
    /* The wrapping sum, less that of the high halves times 2^32, is the sum of the low halves: */ \
    /* no lane of up to 2^32 elements carries. */                                                  \
    NC_GL__TARGET##S static size_t nc_gl__vec_sum##S(nc_gl *sum, const nc_gl *a, size_t n) {       \
        NC_GL__V##S all = nc_gl__set##S(0), high = all;                                            \
        nc_gl all_of[NC_GL__LANES##S], high_of[NC_GL__LANES##S];                                   \
        size_t i, j;                                                                               \
        for (i = 0; i + 2 * NC_GL__LANES##S <= n; i += 2 * NC_GL__LANES##S) {                      \
            NC_GL__V##S x = nc_gl__load##S(a + i), y = nc_gl__load##S(a + i + NC_GL__LANES##S);    \
            all = NC_GL__PLUS##S(all, NC_GL__PLUS##S(x, y));                                       \
            high = NC_GL__PLUS##S(high, NC_GL__PLUS##S(nc_gl__high##S(x), nc_gl__high##S(y)));     \
        }                                                                                          \
        nc_gl__store##S(all_of, all);                                                              \
        nc_gl__store##S(high_of, high);                                                            \
        for (j = 0; j < NC_GL__LANES##S; j++) {                                                    \
            nc_gl low = nc_gl__canonical(all_of[j] - (high_of[j] << 32));                          \
            *sum = nc_gl_add(*sum, low);                                                           \
            *sum = nc_gl_add(*sum, nc_gl_mul_pow2(nc_gl__canonical(high_of[j]), 32));              \
        }                                                                                          \
        return i;                                                                                  \
    }
#define NC_GL__BATCH_INV(S)                                                                        \
    /* Montgomery's trick down 4 x lanes columns; their products are inverted as scalars */        \
    NC_GL__TARGET##S static size_t nc_gl__batch_inv##S(nc_gl *out, const nc_gl *in, size_t n,      \
                                                       nc_gl *scratch, size_t *zeros) {            \
        enum { W = NC_GL__LANES##S, ROW = 4 * W };                                                 \
        NC_GL__V##S p[4];                                                                          \
        nc_gl column[ROW], before[ROW];                                                            \
        size_t rows = n / ROW * ROW, i, j, unused = 0;                                             \
        if (rows < 2 * ROW) return 0;                                                              \
        for (j = 0; j < 4; j++) p[j] = nc_gl__set##S(1);                                           \
        for (i = 0; i < rows; i += ROW)                                                            \
            for (j = 0; j < 4; j++) {                                                              \
                NC_GL__V##S x = nc_gl__fill##S(nc_gl__load##S(in + i + W * j), zeros);             \
                nc_gl__store##S(scratch + i + W * j, p[j]);                                        \
                p[j] = nc_gl__mul##S(p[j], x);                                                     \
            }                                                                                      \
        for (j = 0; j < 4; j++) nc_gl__store##S(column + W * j, p[j]);                             \
        nc_gl__batch_inv64(column, column, ROW, before, &unused);                                  \
        for (j = 0; j < 4; j++) p[j] = nc_gl__load##S(column + W * j);                             \
        for (i = rows; i > 0; i -= ROW)                                                            \
            for (j = 4; j-- > 0;) {                                                                \
                size_t at = i - ROW + W * j;                                                       \
                NC_GL__V##S raw = nc_gl__load##S(in + at), x = nc_gl__fill##S(raw, &unused);       \
                NC_GL__V##S r = nc_gl__mul##S(p[j], nc_gl__load##S(scratch + at));                 \
                nc_gl__store##S(out + at, nc_gl__keep##S(r, raw));                                 \
                p[j] = nc_gl__mul##S(p[j], x);                                                     \
            }                                                                                      \
        return rows;                                                                               \
    }

#define NC_GL__LIMB_SUMS(S)                                                                        \
    /* Sums of products x y without a reduction: of both halves of x with y's 22, 22 and 20 */     \
    /* bits. Each is below 2^54, so 1,024 of them stay below 2^64. */                              \
    typedef struct nc_gl__limbs##S {                                                               \
        NC_GL__V##S lo[3], hi[3];                                                                  \
    } nc_gl__limbs##S;                                                                             \
    NC_GL__INLINE##S void nc_gl__limbs_of##S(NC_GL__HALF##S limb[3], NC_GL__V##S y) {              \
        const NC_GL__V##S mask = nc_gl__set##S((1u << 22) - 1);                                    \
        limb[0] = nc_gl__narrow##S(NC_GL__AND##S(y, mask));                                        \
        limb[1] = nc_gl__narrow##S(NC_GL__AND##S(NC_GL__RIGHT##S(y, 22), mask));                   \
        limb[2] = nc_gl__narrow##S(NC_GL__RIGHT##S(y, 44));                                        \
    }                                                                                              \
    NC_GL__INLINE##S void nc_gl__limbs_add##S(nc_gl__limbs##S *s, NC_GL__HALF##S x,                \
                                              NC_GL__HALF##S xh, const NC_GL__HALF##S *y) {        \
        s->lo[0] = nc_gl__add_product##S(s->lo[0], x, y[0]);                                       \
        s->hi[0] = nc_gl__add_product##S(s->hi[0], xh, y[0]);                                      \
        s->lo[1] = nc_gl__add_product##S(s->lo[1], x, y[1]);                                       \
        s->hi[1] = nc_gl__add_product##S(s->hi[1], xh, y[1]);                                      \
        s->lo[2] = nc_gl__add_product##S(s->lo[2], x, y[2]);                                       \
        s->hi[2] = nc_gl__add_product##S(s->hi[2], xh, y[2]);                                      \
    }                                                                                              \
    /* sum + the value, canonical as sum is: by Horner's rule in 2^22 */                           \
    static NC__NOINLINE NC_GL__TARGET##S NC_GL__V##S nc_gl__limbs_value##S(                        \
        const nc_gl__limbs##S *s, NC_GL__V##S sum) {                                               \
        NC_GL__V##S r = nc_gl__set##S(0), t;                                                       \
        int i;                                                                                     \
        for (i = 2; i >= 0; i--) {                                                                 \
            t = nc_gl__add##S(s->lo[i], nc_gl__mul_2k##S(s->hi[i], 32));                           \
            r = nc_gl__add##S(t, nc_gl__mul_2k##S(r, 22));                                         \
        }                                                                                          \
        r = nc_gl__add##S(r, nc_gl__set##S(0));                                                    \
        return nc_gl__add##S(sum, r);                                                              \
    }                                                                                              \
    NC_GL__TARGET##S static size_t nc_gl__vec_dot##S(nc_gl *sum, const nc_gl *a, const nc_gl *b,   \
                                                     size_t n) {                                   \
        enum { W = NC_GL__LANES##S };                                                              \
        nc_gl lane[W];                                                                             \
        size_t i = 0, j;                                                                           \
        while (i + W <= n) {                                                                       \
            const size_t end = i + nc_gl__least(n - i, 1024 * W) / W * W;                          \
            nc_gl__limbs##S s;                                                                     \
            s.lo[0] = s.lo[1] = s.lo[2] = s.hi[0] = s.hi[1] = s.hi[2] = nc_gl__set##S(0);          \
            for (; i < end; i += W) {                                                              \
                NC_GL__V##S x = nc_gl__load##S(a + i);                                             \
                NC_GL__HALF##S limb[3];                                                            \
                nc_gl__limbs_of##S(limb, nc_gl__load##S(b + i));                                   \
                nc_gl__limbs_add##S(&s, nc_gl__narrow##S(x), nc_gl__narrow##S(nc_gl__high##S(x)),  \
                                    limb);                                                         \
            }                                                                                      \
            nc_gl__store##S(lane, nc_gl__limbs_value##S(&s, nc_gl__set##S(0)));                    \
            for (j = 0; j < W; j++) *sum = nc_gl_add(*sum, lane[j]);                               \
        }                                                                                          \
        return i;                                                                                  \
    }
#endif

#ifdef NC_GL__X86
/* Reads ahead, but for the last vector. With 512 bits each such load would cross a cache line. */
NC_GL__TARGET256 static size_t nc_gl__vec_mul256(nc_gl *out, const nc_gl *a, const nc_gl *b,
                                                 size_t n) {
    size_t i = 0;
    for (; i + NC_GL__LANES256 < n; i += NC_GL__LANES256) {
        NC_GL__V256 hi,
            lo = nc_gl__product256(nc_gl__load256(a + i), nc_gl__load_high256(a + i),
                                   nc_gl__load256(b + i), nc_gl__load_high256(b + i), &hi);
        nc_gl__store256(out + i, nc_gl__reduce256(lo, hi));
    }
    if (i + NC_GL__LANES256 > n) return i;
    nc_gl__store256(out + i, nc_gl__mul256(nc_gl__load256(a + i), nc_gl__load256(b + i)));
    return i + NC_GL__LANES256;
}
NC_GL__VECTORS(256)
NC_GL__VECTORS(512)
NC_GL__VECTOR_SUM(256)
NC_GL__VECTOR_SUM(512)
NC_GL__BINARY(512, mul)
NC_GL__BATCH_INV(256)
NC_GL__BATCH_INV(512)
NC_GL__LIMB_SUMS(256)

NC_GL__TARGET_IFMA static size_t nc_gl__vec_mul_ifma(nc_gl *out, const nc_gl *a, const nc_gl *b,
                                                     size_t n) {
    size_t i;
    for (i = 0; i + 8 <= n; i += 8)
        nc_gl__store512(out + i, nc_gl__canonical512(nc_gl__mul_ifma(nc_gl__load512(a + i),
                                                                     nc_gl__load512(b + i))));
    return i;
}

/* lo + 2^52 hi modulo p, the value of two IFMA accumulators. */
static NC__NOINLINE nc_gl nc_gl__fold52(uint64_t lo, uint64_t hi) {
    return nc_gl__reduce(nc_gl__wide_add(nc_gl__wide_make(hi >> 12, hi << 52), lo));
}

NC_GL__INLINE512 uint64_t nc_gl__lane_sum(__m512i x) {
    uint64_t lane[8], sum = 0;
    int i;
    nc_gl__store512(lane, x);
    for (i = 0; i < 8; i++) sum += lane[i];
    return sum;
}

/* With a = a0 + 2^32 a1 and b alike, Karatsuba needs three sums of products: l of a0 b0, h of
 * a1 b1, m of (a0 + a1)(b0 + b1). Then, since 2^64 = 2^32 - 1,
 *     sum a b = l + 2^32 (m - l - h) + 2^64 h = 2^32 (m - l) + l - h.
 * IFMA keeps each as the sums of the low and the high 52 bits of its products; 4,096 products
 * fit, 512 in eight lanes leave room to add the lanes. */
typedef struct nc_gl__sums52 {
    __m512i l0, l1, m0, m1, h0, h1;
} nc_gl__sums52;

NC_GL__INLINE_IFMA void nc_gl__sums52_add(nc_gl__sums52 *s, const nc_gl *a, const nc_gl *b) {
    __m512i x = nc_gl__load512(a), y = nc_gl__load512(b), xl, xh, yl, yh, xs, ys;
    NC_GL__HOLD512(x) /* each is read once: it may lie across two cache lines */
    NC_GL__HOLD512(y)
    xl = nc_gl__low512(x), xh = nc_gl__high512(x), xs = _mm512_add_epi64(xl, xh);
    yl = nc_gl__low512(y), yh = nc_gl__high512(y), ys = _mm512_add_epi64(yl, yh);
    s->l0 = _mm512_madd52lo_epu64(s->l0, xl, yl);
    s->l1 = _mm512_madd52hi_epu64(s->l1, xl, yl);
    s->h0 = _mm512_madd52lo_epu64(s->h0, xh, yh);
    s->h1 = _mm512_madd52hi_epu64(s->h1, xh, yh);
    s->m0 = _mm512_madd52lo_epu64(s->m0, xs, ys);
    s->m1 = _mm512_madd52hi_epu64(s->m1, xs, ys);
}

/* `steps` vectors of a and b, and beside each two products of c and d in general registers, which
 * the vectors leave idle. */
NC_GL__TARGET_IFMA static NC__NOINLINE void
nc_gl__sums52_both(nc_gl__sums52 *sums, nc_gl__wide_sums *beside, const nc_gl *a, const nc_gl *b,
                   const nc_gl *c, const nc_gl *d, size_t steps) {
    const nc_gl *end = a + 8 * steps;
    nc_gl__sums52 s;
    nc_gl__wide_sums t = *beside;
    s.l0 = s.l1 = s.m0 = s.m1 = s.h0 = s.h1 = _mm512_setzero_si512();
    for (; a < end; a += 8, b += 8, c += 2, d += 2) {
        nc_gl__sums52_add(&s, a, b);
        nc_gl__wide_sums_add(&t, c[0], d[0]);
        nc_gl__wide_sums_add(&t, c[1], d[1]);
    }
    *sums = s;
    *beside = t;
}

NC_GL__TARGET_IFMA static NC__NOINLINE nc_gl nc_gl__sums52_value(const nc_gl__sums52 *s) {
    const nc_gl l = nc_gl__fold52(nc_gl__lane_sum(s->l0), nc_gl__lane_sum(s->l1));
    const nc_gl h = nc_gl__fold52(nc_gl__lane_sum(s->h0), nc_gl__lane_sum(s->h1));
    const nc_gl m = nc_gl__fold52(nc_gl__lane_sum(s->m0), nc_gl__lane_sum(s->m1));
    return nc_gl_add(nc_gl__mul_2k64(nc_gl_sub(m, l), 32), nc_gl_sub(l, h));
}

/* Both for vectors that the first level of cache does not hold, those of a aligned. */
NC_GL__TARGET_IFMA static NC__NOINLINE nc_gl nc_gl__dot_both(const nc_gl *a, const nc_gl *b,
                                                             size_t n) {
    const size_t before = (0 - (uintptr_t)a / sizeof *a) % 8, steps = (n - before) / 10;
    const nc_gl *end = a + n, *c, *d;
    nc_gl__wide_sums beside;
    nc_gl sum = 0;
    size_t i, some;
    memset(&beside, 0, sizeof beside);
    for (i = 0; i < before; i++) nc_gl__wide_sums_add(&beside, *a++, *b++);
    c = a + 8 * steps, d = b + 8 * steps;
    for (i = 0; i < steps; i += some, a += 8 * some, b += 8 * some, c += 2 * some, d += 2 * some) {
        nc_gl__sums52 s;
        some = nc_gl__least(steps - i, 512);
        nc_gl__sums52_both(&s, &beside, a, b, c, d, some);
        sum = nc_gl_add(sum, nc_gl__sums52_value(&s));
    }
    while (c < end) nc_gl__wide_sums_add(&beside, *c++, *d++);
    return nc_gl_add(sum, nc_gl__wide_sums_value(&beside));
}

NC_GL__TARGET_IFMA static size_t nc_gl__vec_dot_ifma(nc_gl *sum, const nc_gl *a, const nc_gl *b,
                                                     size_t n) {
    nc_gl__sums52 s;
    size_t i;
    if (n >= 2048) {
        *sum = nc_gl__dot_both(a, b, n);
        return n;
    }
    s.l0 = s.l1 = s.m0 = s.m1 = s.h0 = s.h1 = _mm512_setzero_si512();
    for (i = 0; i + 8 <= n; i += 8) nc_gl__sums52_add(&s, a + i, b + i);
    *sum = nc_gl__sums52_value(&s);
    return i;
}
#elif defined(NC_GL__NEON)
NC_GL__VECTORS(128)
NC_GL__BINARY(128, mul)
NC_GL__VECTOR_SUM(128)
NC_GL__BATCH_INV(128)
NC_GL__LIMB_SUMS(128)
#endif
#undef NC_GL__LIMB_SUMS
#undef NC_GL__VECTOR_SUM
#undef NC_GL__BATCH_INV
#undef NC_GL__VECTORS
#undef NC_GL__BINARY

/* -- the widest form that this machine has, and plain C for what that leaves -- */

/* How many elements the form of 128, 256 or 512 bits has done, 0 where there is none. */
#ifdef NC_GL__X86
#define NC_GL__WIDE(op, arguments)                                                                 \
    (nc_gl__level() >= 2   ? nc_gl__##op##512 arguments                                            \
     : nc_gl__level() == 1 ? nc_gl__##op##256 arguments                                            \
                           : (size_t)0)
#elif defined(NC_GL__NEON)
#define NC_GL__WIDE(op, arguments) (nc_gl__level() >= 1 ? nc_gl__##op##128 arguments : (size_t)0)
#else
#define NC_GL__WIDE(op, arguments) ((size_t)0)
#endif

/* The operations without a look at their buffers. */
static NC__NOINLINE void nc_gl__multiply(nc_gl *out, const nc_gl *a, const nc_gl *b, size_t n) {
#ifdef NC_GL__X86
    size_t i = nc_gl__level() == 3 ? nc_gl__vec_mul_ifma(out, a, b, n)
                                   : NC_GL__WIDE(vec_mul, (out, a, b, n));
#else
    size_t i = NC_GL__WIDE(vec_mul, (out, a, b, n));
#endif
    (void)nc_gl__vec_mul64(out + i, a + i, b + i, n - i);
}

static NC__NOINLINE void nc_gl__scale(nc_gl *out, nc_gl s, const nc_gl *a, size_t n) {
    size_t i = NC_GL__WIDE(vec_scale, (out, s, a, n));
    (void)nc_gl__vec_scale64(out + i, s, a + i, n - i);
}

static NC__NOINLINE void nc_gl__axpy(nc_gl *y, nc_gl s, const nc_gl *x, size_t n) {
    size_t i = NC_GL__WIDE(vec_axpy, (y, s, x, n));
    (void)nc_gl__vec_axpy64(y + i, s, x + i, n - i);
}

/* Each pass doubles what is known: out[length ..] = base^length out[0 ..]. */
static NC__NOINLINE void nc_gl__powers(nc_gl *out, nc_gl start, nc_gl base, size_t n) {
    size_t length = 1;
    if (n) out[0] = start;
    for (; length < n; length *= 2) {
        nc_gl__scale(out + length, base, out, nc_gl__least(length, n - length));
        base = nc_gl_sqr(base);
    }
}

NC_API nc_status nc_gl_vec_add(nc_gl *out, const nc_gl *a, const nc_gl *b, size_t n) {
    size_t i;
    if (nc_gl__torn(out, a, n) || nc_gl__torn(out, b, n)) return NC_ERR_ARG;
    i = NC_GL__WIDE(vec_add, (out, a, b, n));
    (void)nc_gl__vec_add64(out + i, a + i, b + i, n - i);
    return NC_OK;
}

NC_API nc_status nc_gl_vec_sub(nc_gl *out, const nc_gl *a, const nc_gl *b, size_t n) {
    size_t i;
    if (nc_gl__torn(out, a, n) || nc_gl__torn(out, b, n)) return NC_ERR_ARG;
    i = NC_GL__WIDE(vec_sub, (out, a, b, n));
    (void)nc_gl__vec_sub64(out + i, a + i, b + i, n - i);
    return NC_OK;
}

NC_API nc_status nc_gl_vec_mul(nc_gl *out, const nc_gl *a, const nc_gl *b, size_t n) {
    if (nc_gl__torn(out, a, n) || nc_gl__torn(out, b, n)) return NC_ERR_ARG;
    nc_gl__multiply(out, a, b, n);
    return NC_OK;
}

NC_API nc_status nc_gl_vec_scale(nc_gl *out, nc_gl s, const nc_gl *a, size_t n) {
    if (nc_gl__torn(out, a, n)) return NC_ERR_ARG;
    nc_gl__scale(out, s, a, n);
    return NC_OK;
}

NC_API nc_status nc_gl_vec_axpy(nc_gl *y, nc_gl s, const nc_gl *x, size_t n) {
    if (nc_gl__torn(y, x, n)) return NC_ERR_ARG;
    nc_gl__axpy(y, s, x, n);
    return NC_OK;
}

NC_API nc_gl nc_gl_vec_dot(const nc_gl *a, const nc_gl *b, size_t n) {
    nc_gl sum = 0;
    size_t i = 0;
#ifdef NC_GL__X86
    if (nc_gl__level() == 3)
        i = nc_gl__vec_dot_ifma(&sum, a, b, n);
    else if (nc_gl__level() >= 1)
        i = nc_gl__vec_dot256(&sum, a, b, n);
#elif defined(NC_GL__NEON)
    if (nc_gl__level() >= 1) i = nc_gl__vec_dot128(&sum, a, b, n);
#endif
    return nc_gl_add(sum, nc_gl__dot64(a + i, b + i, 1, n - i));
}

NC_API nc_gl nc_gl_vec_sum(const nc_gl *a, size_t n) {
    nc_gl sum = 0;
    size_t i = NC_GL__WIDE(vec_sum, (&sum, a, n));
    nc_gl__vec_sum64(&sum, a + i, n - i);
    return sum;
}

NC_API void nc_gl_vec_powers(nc_gl *out, nc_gl start, nc_gl base, size_t n) {
    nc_gl__powers(out, start, base, n);
}

NC_API nc_status nc_gl_batch_inv(nc_gl *out, const nc_gl *in, size_t n, nc_gl *scratch,
                                 size_t *zeros) {
    size_t i, count = 0;
    if (n && (!out || !in || !scratch)) return NC_ERR_ARG;
    if (nc_gl__torn(out, in, n) || nc_gl__overlap(scratch, n, in, n) ||
        nc_gl__overlap(scratch, n, out, n))
        return NC_ERR_ARG;
    i = NC_GL__WIDE(batch_inv, (out, in, n, scratch, &count));
    nc_gl__batch_inv64(out + i, in + i, n - i, scratch + i, &count);
    if (zeros) *zeros = count;
    return NC_OK;
}

/* >>matrices ======================================================================= */

NC_API nc_status nc_gl_matvec(nc_gl *y, const nc_gl *a, const nc_gl *x, size_t rows,
                              size_t columns) {
    size_t r;
    if (nc_gl__overlap(y, rows, a, nc__mul_size(rows, columns)) ||
        nc_gl__overlap(y, rows, x, columns))
        return NC_ERR_ARG;
    for (r = 0; r < rows; r++) y[r] = nc_gl_vec_dot(a + r * columns, x, columns);
    return NC_OK;
}

#ifdef NC_GL__X86
/* What one 1 x 8 piece of C accumulates over a block of k. l is held as the wrapping sum of the
 * 64-bit products and the sum of their high halves: that spares one of the six multiplications. */
typedef struct nc_gl__tile {
    __m512i l, lh, m0, m1, h0, h1;
} nc_gl__tile;

enum { NC_GL__BLOCK = 64 }; /* steps of k: their packed rows of A take 4 KiB of stack */

/* The sums of nc_gl__vec_dot_ifma in pieces of 2^32: m = ml + 2^32 mh and so on, each below 2^42;
 * then, by 2^64 = 2^32 - 1, the value is (low + lh - hl - mh) + 2^32 (ml - low - hh + mh). Both
 * brackets move up by 2^43 to be positive; the last subtraction takes 2^43 + 2^75 off again. */
NC_GL__INLINE512 __m512i nc_gl__tile_add(__m512i c, const nc_gl__tile *t) {
    const __m512i bias = nc_gl__set512(UINT64_C(1) << 43), epsilon = nc_gl__set512(NC_GL__EPSILON);
    __m512i low = _mm512_sub_epi64(t->l, _mm512_slli_epi64(t->lh, 32));
    __m512i ml = nc_gl__low512(t->m0), hl = nc_gl__low512(t->h0);
    __m512i mh = _mm512_add_epi64(nc_gl__high512(t->m0), _mm512_slli_epi64(t->m1, 20));
    __m512i hh = _mm512_add_epi64(nc_gl__high512(t->h0), _mm512_slli_epi64(t->h1, 20));
    __m512i a = _mm512_sub_epi64(_mm512_add_epi64(_mm512_add_epi64(low, t->lh), bias),
                                 _mm512_add_epi64(hl, mh));
    __m512i b = _mm512_sub_epi64(_mm512_add_epi64(_mm512_add_epi64(ml, mh), bias),
                                 _mm512_add_epi64(low, hh));
    __m512i r, top = _mm512_slli_epi64(b, 32);
    a = _mm512_add_epi64(a, _mm512_mul_epu32(nc_gl__high512(b), epsilon));
    r = _mm512_add_epi64(a, top);
    r = _mm512_mask_add_epi64(r, _mm512_cmplt_epu64_mask(r, a), r, epsilon);
    r = nc_gl__sub512(r, nc_gl__set512((UINT64_C(1) << 43) * (1 + (UINT64_C(1) << 32)) -
                                       (UINT64_C(1) << 11) * NC_GL_P));
    return nc_gl__canonical512(nc_gl__add512(r, c));
}

/* One a, broadcast as it is (the product takes its low half), as its high half and as the sum of
 * both, times eight b beside their high halves and halves' sum. */
#define NC_GL__TILE_STEP(t, a, ah, as)                                                             \
    {                                                                                              \
        __m512i product = _mm512_mul_epu32(nc_gl__set512(a), x);                                   \
        t.l = _mm512_add_epi64(t.l, product);                                                      \
        t.lh = _mm512_add_epi64(t.lh, nc_gl__high512(product));                                    \
        t.h0 = _mm512_madd52lo_epu64(t.h0, nc_gl__set512(ah), xh);                                 \
        t.h1 = _mm512_madd52hi_epu64(t.h1, nc_gl__set512(ah), xh);                                 \
        t.m0 = _mm512_madd52lo_epu64(t.m0, nc_gl__set512(as), xs);                                 \
        t.m1 = _mm512_madd52hi_epu64(t.m1, nc_gl__set512(as), xs);                                 \
    }
#define NC_GL__TILE_STORE(c, t)                                                                    \
    _mm512_mask_storeu_epi64(                                                                      \
        (void *)(c), mask, nc_gl__tile_add(_mm512_maskz_loadu_epi64(mask, (const void *)(c)), &t))

/* Four rows and eight columns of C (columns from `count` on are masked out) += k <= NC_GL__BLOCK
 * steps of A times B. */
NC_GL__TARGET_IFMA NC__NOINLINE static void
nc_gl__matmul_tile(nc_gl *const c[4], const nc_gl *const a[4], const nc_gl pack[4][2][NC_GL__BLOCK],
                   const nc_gl *b, size_t k, size_t n, size_t count) {
    nc_gl__tile t0, t1, t2, t3;
    const nc_gl *a0 = a[0], *a1 = a[1], *a2 = a[2], *a3 = a[3];
    const __mmask8 mask = nc_gl__first_lanes(count);
    size_t i;
    t0.l = _mm512_setzero_si512();
    t0.lh = t0.m0 = t0.m1 = t0.h0 = t0.h1 = t0.l;
    t1 = t2 = t3 = t0;
    for (i = 0; i < k; i++, b += n) {
        __m512i x = _mm512_maskz_loadu_epi64(mask, (const void *)b), xh = nc_gl__high512(x);
        __m512i xs = _mm512_add_epi64(nc_gl__low512(x), xh);
        NC_GL__TILE_STEP(t0, a0[i], pack[0][0][i], pack[0][1][i])
        NC_GL__TILE_STEP(t1, a1[i], pack[1][0][i], pack[1][1][i])
        NC_GL__TILE_STEP(t2, a2[i], pack[2][0][i], pack[2][1][i])
        NC_GL__TILE_STEP(t3, a3[i], pack[3][0][i], pack[3][1][i])
    }
    NC_GL__TILE_STORE(c[3], t3);
    NC_GL__TILE_STORE(c[2], t2);
    NC_GL__TILE_STORE(c[1], t1);
    NC_GL__TILE_STORE(c[0], t0);
}
#undef NC_GL__TILE_STORE
#undef NC_GL__TILE_STEP

/* C += A B for one to four rows of C and A. */
NC_GL__TARGET_IFMA static void nc_gl__matmul_rows_ifma(nc_gl *c, const nc_gl *a, const nc_gl *b,
                                                       size_t rows, size_t k, size_t n) {
    nc_gl pack[4][2][NC_GL__BLOCK]; /* of each row the high halves and the halves' sums */
    nc_gl spare[4][8];              /* where rows beyond the last go */
    nc_gl *to[4];
    const nc_gl *from[4];
    size_t p, i, r;
    memset(spare, 0, sizeof spare);
    for (p = 0; p < k; p += NC_GL__BLOCK) {
        size_t steps = nc_gl__least(k - p, NC_GL__BLOCK);
        for (r = 0; r < 4; r++) {
            from[r] = a + (r < rows ? r : 0) * k + p;
            for (i = 0; i < steps; i += 8) {
                const __mmask8 mask = nc_gl__first_lanes(steps - i);
                __m512i x = _mm512_maskz_loadu_epi64(mask, (const void *)(from[r] + i));
                nc_gl__store512(pack[r][0] + i, nc_gl__high512(x));
                nc_gl__store512(pack[r][1] + i,
                                _mm512_add_epi64(nc_gl__low512(x), nc_gl__high512(x)));
            }
        }
        for (i = 0; i < n; i += 8) {
            for (r = 0; r < 4; r++) to[r] = r < rows ? c + r * n + i : spare[r];
            nc_gl__matmul_tile(to, from, (const nc_gl(*)[2][NC_GL__BLOCK])pack, b + p * n + i,
                               steps, n, n - i);
        }
    }
}
#endif

#if defined(NC_GL__X86) || defined(NC_GL__NEON)
#define NC_GL__MATMUL(S)                                                                           \
    /* Two rows of A times one vector of columns of B, of which pack holds the limbs. */           \
    NC_GL__TARGET##S static NC__NOINLINE void nc_gl__matmul_strip##S(                              \
        nc_gl__limbs##S sums[2], const nc_gl *const a[2], const NC_GL__HALF##S *pack, size_t k) {  \
        const nc_gl *a0 = a[0], *a1 = a[1], *end = a0 + k;                                         \
        nc_gl__limbs##S s = sums[0], t = sums[1];                                                  \
        for (; a0 < end; a0++, a1++, pack += 3) {                                                  \
            const NC_GL__HALF##S *again = pack; /* registers hold the sums, not the limbs too */   \
            __asm__("" : "+r"(again));                                                             \
            nc_gl__limbs_add##S(&s, nc_gl__set_half##S(a0, 0), nc_gl__set_half##S(a0, 4), pack);   \
            nc_gl__limbs_add##S(&t, nc_gl__set_half##S(a1, 0), nc_gl__set_half##S(a1, 4), again);  \
        }                                                                                          \
        sums[0] = s;                                                                               \
        sums[1] = t;                                                                               \
    }                                                                                              \
    /* One vector of columns of one to eight rows of C = A B. */                                   \
    NC_GL__TARGET##S static void nc_gl__matmul_columns##S(                                         \
        nc_gl *c, const nc_gl *a, const nc_gl *b, size_t rows, size_t k, size_t n) {               \
        enum { W = NC_GL__LANES##S, SLICE = 20, MOST = 51 * SLICE }; /* 3.8 KiB of stack */        \
        NC_GL__HALF##S pack[3 * SLICE];                                                            \
        nc_gl__limbs##S s[8];                                                                      \
        NC_GL__V##S total[8];                                                                      \
        const nc_gl *from[8];                                                                      \
        size_t p, r, i;                                                                            \
        for (r = 0; r < 8; r++) {                                                                  \
            from[r] = a + (r < rows ? r : 0) * k;                                                  \
            total[r] = nc_gl__set##S(0);                                                           \
        }                                                                                          \
        for (p = 0; p < k; p += SLICE) {                                                           \
            const size_t steps = nc_gl__least(k - p, SLICE);                                       \
            if (p % MOST == 0) memset(s, 0, sizeof s);                                             \
            for (i = 0; i < steps; i++, b += n)                                                    \
                nc_gl__limbs_of##S(pack + 3 * i, nc_gl__load##S(b));                               \
            for (r = 0; r < rows; r += 2) nc_gl__matmul_strip##S(s + r, from + r, pack, steps);    \
            for (r = 0; r < 8; r++) from[r] += steps;                                              \
            if (p + SLICE < k && (p + SLICE) % MOST) continue;                                     \
            for (r = 0; r < rows; r++) total[r] = nc_gl__limbs_value##S(&s[r], total[r]);          \
        }                                                                                          \
        for (r = 0; r < rows; r++) nc_gl__store##S(c + r * n, total[r]);                           \
    }
#ifdef NC_GL__X86
NC_GL__MATMUL(256)
#else
NC_GL__MATMUL(128)
#endif
#undef NC_GL__MATMUL
#endif

/* One to eight rows of C. */
static void nc_gl__matmul_rows(nc_gl *c, const nc_gl *a, const nc_gl *b, size_t rows, size_t k,
                               size_t n) {
    size_t done = 0, i, j;
#ifdef NC_GL__X86
    if (nc_gl__level() == 3) {
        memset(c, 0, rows * n * sizeof *c);
        for (i = 0; i < rows; i += 4)
            nc_gl__matmul_rows_ifma(c + i * n, a + i * k, b, nc_gl__least(rows - i, 4), k, n);
        return;
    }
    for (; nc_gl__level() >= 1 && done + NC_GL__LANES256 <= n; done += NC_GL__LANES256)
        nc_gl__matmul_columns256(c + done, a, b + done, rows, k, n);
#elif defined(NC_GL__NEON)
    for (; nc_gl__level() >= 1 && done + NC_GL__LANES128 <= n; done += NC_GL__LANES128)
        nc_gl__matmul_columns128(c + done, a, b + done, rows, k, n);
#endif
    for (i = 0; i < rows; i++)
        for (j = done; j < n; j++) c[i * n + j] = nc_gl__dot64(a + i * k, b + j, n, k);
}

NC__COLD_BEGIN

NC_API nc_status nc_gl_matmul(nc_gl *c, const nc_gl *a, const nc_gl *b, size_t m, size_t k,
                              size_t n) {
    ptrdiff_t rows = (ptrdiff_t)m, i;
    if (nc_gl__overlap(c, nc__mul_size(m, n), a, nc__mul_size(m, k)) ||
        nc_gl__overlap(c, nc__mul_size(m, n), b, nc__mul_size(k, n)))
        return NC_ERR_ARG;
    if (n == 0) return NC_OK;
#ifdef _OPENMP
#pragma omp parallel for schedule(static) if (m > 8 && m * k * n > 1u << 18)
#endif
    for (i = 0; i < rows; i += 8) {
        size_t left = m - (size_t)i;
        nc_gl__matmul_rows(c + (size_t)i * n, a + (size_t)i * k, b, nc_gl__least(left, 8), k, n);
    }
    return NC_OK;
}

NC__COLD_END

#ifdef NC_GL__X86
/* Squares of 4 and 8 elements, rows from_step and to_step apart; to may be from. With `reversed`
 * rows are read in the order of their numbers' bits reversed. */
NC_GL__TARGET256 static NC__NOINLINE void
nc_gl__transpose256(nc_gl *to, size_t to_step, const nc_gl *from, size_t from_step, int reversed) {
    const size_t second = (reversed ? 2 : 1) * from_step, third = 3 * from_step - second;
    __m256i a = nc_gl__load256(from), b = nc_gl__load256(from + second);
    __m256i c = nc_gl__load256(from + third), d = nc_gl__load256(from + 3 * from_step);
    __m256i t0 = _mm256_unpacklo_epi64(a, b), t1 = _mm256_unpackhi_epi64(a, b);
    __m256i t2 = _mm256_unpacklo_epi64(c, d), t3 = _mm256_unpackhi_epi64(c, d);
    nc_gl__store256(to, _mm256_permute2x128_si256(t0, t2, 0x20));
    nc_gl__store256(to + to_step, _mm256_permute2x128_si256(t1, t3, 0x20));
    nc_gl__store256(to + 2 * to_step, _mm256_permute2x128_si256(t0, t2, 0x31));
    nc_gl__store256(to + 3 * to_step, _mm256_permute2x128_si256(t1, t3, 0x31));
}

/* to[c to_step + r] = from[r from_step + c] for r < rows, c < columns. */
static NC__NOINLINE void nc_gl__turn(nc_gl *to, size_t to_step, const nc_gl *from, size_t from_step,
                                     size_t rows, size_t columns) {
    size_t i, j, r, c;
    for (i = 0; i < rows; i += 4)
        for (j = 0; j < columns; j += 4)
            if (i + 4 <= rows && j + 4 <= columns)
                nc_gl__transpose256(to + j * to_step + i, to_step, from + i * from_step + j,
                                    from_step, 0);
            else
                for (r = i; r < i + 4 && r < rows; r++)
                    for (c = j; c < j + 4 && c < columns; c++)
                        to[c * to_step + r] = from[r * from_step + c];
}

/* Pairs of rows first, then quarters of 128 bits. */
NC_GL__INLINE512 void nc_gl__transpose_rows512(__m512i v[8]) {
    __m512i t0 = _mm512_unpacklo_epi64(v[0], v[1]), t1 = _mm512_unpackhi_epi64(v[0], v[1]);
    __m512i t2 = _mm512_unpacklo_epi64(v[2], v[3]), t3 = _mm512_unpackhi_epi64(v[2], v[3]);
    __m512i t4 = _mm512_unpacklo_epi64(v[4], v[5]), t5 = _mm512_unpackhi_epi64(v[4], v[5]);
    __m512i t6 = _mm512_unpacklo_epi64(v[6], v[7]), t7 = _mm512_unpackhi_epi64(v[6], v[7]);
    __m512i a = _mm512_shuffle_i64x2(t0, t2, 0x88), b = _mm512_shuffle_i64x2(t4, t6, 0x88);
    __m512i c = _mm512_shuffle_i64x2(t0, t2, 0xDD), d = _mm512_shuffle_i64x2(t4, t6, 0xDD);
    v[0] = _mm512_shuffle_i64x2(a, b, 0x88);
    v[4] = _mm512_shuffle_i64x2(a, b, 0xDD);
    v[2] = _mm512_shuffle_i64x2(c, d, 0x88);
    v[6] = _mm512_shuffle_i64x2(c, d, 0xDD);
    a = _mm512_shuffle_i64x2(t1, t3, 0x88), b = _mm512_shuffle_i64x2(t5, t7, 0x88);
    c = _mm512_shuffle_i64x2(t1, t3, 0xDD), d = _mm512_shuffle_i64x2(t5, t7, 0xDD);
    v[1] = _mm512_shuffle_i64x2(a, b, 0x88);
    v[5] = _mm512_shuffle_i64x2(a, b, 0xDD);
    v[3] = _mm512_shuffle_i64x2(c, d, 0x88);
    v[7] = _mm512_shuffle_i64x2(c, d, 0xDD);
}
NC_GL__TARGET512 static NC__NOINLINE void
nc_gl__transpose512(nc_gl *to, size_t to_step, const nc_gl *from, size_t from_step, int reversed) {
    const size_t in1 = (reversed ? 4 : 1) * from_step, in4 = 5 * from_step - in1;
    __m512i v[8];
#define NC_GL__LOAD_TILE(i)                                                                        \
    v[i] = nc_gl__load512(from + i % 2 * in1 + i / 2 % 2 * 2 * from_step + i / 4 * in4);
#define NC_GL__STORE_TILE(i) nc_gl__store512(to + i * to_step, v[i]);
#define NC_GL__TILE_ROWS(m) m(0) m(1) m(2) m(3) m(4) m(5) m(6) m(7)
    NC_GL__TILE_ROWS(NC_GL__LOAD_TILE)
    nc_gl__transpose_rows512(v);
    NC_GL__TILE_ROWS(NC_GL__STORE_TILE)
#undef NC_GL__TILE_ROWS
#undef NC_GL__STORE_TILE
#undef NC_GL__LOAD_TILE
}
#elif defined(NC_GL__NEON)
NC_GL__INLINE128 void nc_gl__transpose128(nc_gl *to, size_t to_step, const nc_gl *from,
                                          size_t from_step, int reversed) {
    const uint64x2_t a = nc_gl__load128(from), b = nc_gl__load128(from + from_step);
    nc_gl__store128(to, vzip1q_u64(a, b));
    nc_gl__store128(to + to_step, vzip2q_u64(a, b));
    (void)reversed;
}
#endif

NC_GL__INLINE64 void nc_gl__transpose64(nc_gl *to, size_t to_step, const nc_gl *from,
                                        size_t from_step, int reversed) {
    *to = *from;
    (void)to_step, (void)from_step, (void)reversed;
}

NC_API nc_status nc_gl_transpose(nc_gl *out, const nc_gl *a, size_t rows, size_t columns) {
    const size_t tile = 16; /* two cache lines square */
    size_t r0, c0, r, c;
    if (nc_gl__overlap(out, nc__mul_size(rows, columns), a, nc__mul_size(rows, columns)))
        return NC_ERR_ARG;
    for (r0 = 0; r0 < rows; r0 += tile)
        for (c0 = 0; c0 < columns; c0 += tile)
            for (r = r0; r < rows && r < r0 + tile; r++)
                for (c = c0; c < columns && c < c0 + tile; c++)
                    out[c * rows + r] = a[r * columns + c];
    return NC_OK;
}

/* >>ntt ============================================================================ */

/* A transform of 2^m points is cut into passes of radix 16, with one smaller pass first when 4 does
 * not divide m. Within a pass every factor is a power of 2, since the 16th root of unity is -2^60
 * (the 8th -2^24, the 4th 2^48); between passes come the twiddles. Decimation in frequency
 * (Gentleman and Sande) takes natural order to bit-reversed order; its transpose, decimation in
 * time (Cooley and Tukey), takes bit-reversed to natural order with the same twiddles, because the
 * transform's matrix is symmetric. After the first pass the blocks are independent and are finished
 * one by one, so all but the first passes of a large transform stay in cache. */

/* -- transforms of 8 and 16 points -- */

/* r[i], r[j] = r[i] + r[j], r[i] - r[j], the difference times 2^k or -2^k. */
#define NC_GL__FLY(S, i, j)                                                                        \
    t = nc_gl__sub##S(r[i], r[j]), r[i] = nc_gl__add##S(r[i], r[j]), r[j] = t;
#define NC_GL__FLY_2K(S, i, j, k)                                                                  \
    t = nc_gl__sub##S(r[i], r[j]), r[i] = nc_gl__add##S(r[i], r[j]), r[j] = nc_gl__mul_2k##S(t, k);
#define NC_GL__FLY_NEG_2K(S, i, j, k)                                                              \
    t = nc_gl__sub##S(r[j], r[i]), r[i] = nc_gl__add##S(r[i], r[j]), r[j] = nc_gl__mul_2k##S(t, k);

/* The first butterflies of 2, 4, 8 or 16 points from r[b] on. Stage by stage the processor finds
 * the most of them independent. */
#define NC_GL__STAGE2(S, b) NC_GL__FLY(S, b, b + 1)
#define NC_GL__STAGE4(S, b) NC_GL__FLY(S, b, b + 2) NC_GL__FLY_2K(S, b + 1, b + 3, 48)
#define NC_GL__STAGE8(S, b)                                                                        \
    NC_GL__FLY(S, b, b + 4)                                                                        \
    NC_GL__FLY_NEG_2K(S, b + 1, b + 5, 24)                                                         \
    NC_GL__FLY_2K(S, b + 2, b + 6, 48) NC_GL__FLY_NEG_2K(S, b + 3, b + 7, 72)
#define NC_GL__STAGE16(S)                                                                          \
    NC_GL__FLY(S, 0, 8)                                                                            \
    NC_GL__FLY_NEG_2K(S, 1, 9, 60)                                                                 \
    NC_GL__FLY_NEG_2K(S, 2, 10, 24)                                                                \
    NC_GL__FLY_2K(S, 3, 11, 84)                                                                    \
    NC_GL__FLY_2K(S, 4, 12, 48)                                                                    \
    NC_GL__FLY_2K(S, 5, 13, 12) NC_GL__FLY_NEG_2K(S, 6, 14, 72) NC_GL__FLY_NEG_2K(S, 7, 15, 36)
#define NC_GL__STAGES2(S) NC_GL__STAGE2(S, 0)
#define NC_GL__STAGES4(S) NC_GL__STAGE4(S, 0) NC_GL__STAGE2(S, 0) NC_GL__STAGE2(S, 2)
#define NC_GL__STAGES8(S)                                                                          \
    NC_GL__STAGE8(S, 0)                                                                            \
    NC_GL__STAGE4(S, 0)                                                                            \
    NC_GL__STAGE4(S, 4)                                                                            \
    NC_GL__STAGE2(S, 0) NC_GL__STAGE2(S, 2) NC_GL__STAGE2(S, 4) NC_GL__STAGE2(S, 6)
#define NC_GL__STAGES16(S)                                                                         \
    NC_GL__STAGE16(S)                                                                              \
    NC_GL__STAGE8(S, 0)                                                                            \
    NC_GL__STAGE8(S, 8)                                                                            \
    NC_GL__STAGE4(S, 0)                                                                            \
    NC_GL__STAGE4(S, 4)                                                                            \
    NC_GL__STAGE4(S, 8)                                                                            \
    NC_GL__STAGE4(S, 12)                                                                           \
    NC_GL__STAGE2(S, 0)                                                                            \
    NC_GL__STAGE2(S, 2)                                                                            \
    NC_GL__STAGE2(S, 4)                                                                            \
    NC_GL__STAGE2(S, 6)                                                                            \
    NC_GL__STAGE2(S, 8) NC_GL__STAGE2(S, 10) NC_GL__STAGE2(S, 12) NC_GL__STAGE2(S, 14)

/* m(S, i) for each row of a transform. Row i lies at the sum of the distances of its number's bits;
 * with those in reverse, the rows come with their bits reversed. */
#define NC_GL__ROWS2(m, S) m(S, 0) m(S, 1)
#define NC_GL__ROWS4(m, S) NC_GL__ROWS2(m, S) m(S, 2) m(S, 3)
#define NC_GL__ROWS8(m, S) NC_GL__ROWS4(m, S) m(S, 4) m(S, 5) m(S, 6) m(S, 7)
#define NC_GL__ROWS16(m, S)                                                                        \
    NC_GL__ROWS8(m, S)                                                                             \
    m(S, 8) m(S, 9) m(S, 10) m(S, 11) m(S, 12) m(S, 13) m(S, 14) m(S, 15)
#define NC_GL__ROW(d, i) ((i & 1) * d##1 + (i / 2 & 1) * d##2 + (i / 4 & 1) * d##4 + i / 8 * d##8)
#define NC_GL__DISTANCES(d, R, step, reversed)                                                     \
    const size_t d##1 = (reversed) ? R / 2 * (step) : (step);                                      \
    const size_t d##2 = (reversed) ? R / 4 * (step) : 2 * (step);                                  \
    const size_t d##4 = (reversed) ? R / 8 * (step) : 4 * (step);                                  \
    const size_t d##8 = (reversed) ? R / 16 * (step) : 8 * (step);
#define NC_GL__LOAD_ROW(S, i) r[i] = nc_gl__load##S(from + NC_GL__ROW(in, i));
#define NC_GL__STORE_ROW(S, i) nc_gl__store##S(to + NC_GL__ROW(out, i), r[i]);

/* A transform of R points down each lane, rows in_step and out_step apart; to may be from. The
 * butterflies take natural order to bit-reversed order. Rows read and written with their numbers'
 * bits reversed make the same a transform of bit-reversed order to natural order; only written so,
 * of natural order to natural order. */
#define NC_GL__DFT(S, R)                                                                           \
    NC_GL__TARGET##S static NC__NOINLINE void nc_gl__dft##R##_##S(                                 \
        nc_gl *to, size_t out_step, int to_natural, const nc_gl *from, size_t in_step,             \
        int from_reversed) {                                                                       \
        NC_GL__DISTANCES(in, R, in_step, from_reversed)                                            \
        NC_GL__DISTANCES(out, R, out_step, to_natural)                                             \
        NC_GL__V##S r[R], t;                                                                       \
        NC_GL__ROWS##R(NC_GL__LOAD_ROW, S) NC_GL__STAGES##R(S) NC_GL__ROWS##R(NC_GL__STORE_ROW, S) \
    }

/* The same by halves, where registers do not hold 16 rows: the first stage, then two transforms of
 * 8 points, whose rows it leaves in the order in which they are read. */
#define NC_GL__MIDDLE_ROW(S, i) nc_gl__store##S(half + i * W, r[i]);
#define NC_GL__DFT16_BY_HALVES(S)                                                                  \
    NC_GL__TARGET##S static NC__NOINLINE void nc_gl__dft16_##S(                                    \
        nc_gl *to, size_t out_step, int to_natural, const nc_gl *from, size_t in_step,             \
        int from_reversed) {                                                                       \
        enum { W = NC_GL__LANES##S };                                                              \
        NC_GL__DISTANCES(in, 16, in_step, from_reversed)                                           \
        NC_GL__V##S r[16], t, aligned[16];                                                         \
        nc_gl *half = (nc_gl *)aligned, *to_half = to + (to_natural ? 1 : 8) * out_step;           \
        NC_GL__ROWS16(NC_GL__LOAD_ROW, S)                                                          \
        NC_GL__STAGE16(S)                                                                          \
        NC_GL__ROWS16(NC_GL__MIDDLE_ROW, S)                                                        \
        if (to_natural) out_step *= 2;                                                             \
        nc_gl__dft8_##S(to, out_step, to_natural, half, W, 0);                                     \
        nc_gl__dft8_##S(to_half, out_step, to_natural, half + 8 * W, W, 0);                        \
    }

/* -- passes -- */

/* Canonical products, by the name of a pass. */
#define NC_GL__CANONICAL64 nc_gl__mul64
#define NC_GL__CANONICAL128 nc_gl__mul128
#define NC_GL__CANONICAL256 nc_gl__mul256
#define NC_GL__CANONICAL512 nc_gl__mul512
#define NC_GL__CANONICAL_ifma nc_gl__mul_canonical_ifma

/* Columns j0 <= j < j1 of a pass: transforms of the points x[i stride + j], i < radix. The twiddles
 * lie in groups of 8 columns, radix - 1 rows of 8 each; they come after the butterflies, or before
 * them on the way back from bit-reversed order. The small radices stay in registers: their
 * butterflies would not pay for a way through memory. */
#define NC_GL__TWIDDLE_ROW(S, i)                                                                   \
    if (i > 0) r[i] = nc_gl__mul##S(r[i], nc_gl__load##S(w + NC_GL__ROW(at, i)));
#define NC_GL__SMALL_PASS(S, R)                                                                    \
    NC_GL__TARGET##S static NC__NOINLINE void nc_gl__pass##R##_##S(                                \
        nc_gl *x, size_t stride, const nc_gl *table, size_t j0, size_t j1, int from_reversed) {    \
        NC_GL__DISTANCES(in, R, stride, from_reversed)                                             \
        NC_GL__DISTANCES(out, R, stride, from_reversed)                                            \
        NC_GL__DISTANCES(at, R, 8, from_reversed)                                                  \
        NC_GL__V##S r[R], t;                                                                       \
        size_t j;                                                                                  \
        int step;                                                                                  \
        for (j = j0; j < j1; j += NC_GL__LANES##S) {                                               \
            const nc_gl *w = table + j / 8 * 8 * (R - 1) + j % 8 - 8, *from = x + j;               \
            nc_gl *to = x + j;                                                                     \
            NC_GL__ROWS##R(NC_GL__LOAD_ROW, S) for (step = 0; step < 2; step++) {                  \
                if (step == from_reversed) {                                                       \
                    NC_GL__STAGES##R(S)                                                            \
                } else {                                                                           \
                    NC_GL__ROWS##R(NC_GL__TWIDDLE_ROW, S)                                          \
                }                                                                                  \
            }                                                                                      \
            NC_GL__ROWS##R(NC_GL__STORE_ROW, S)                                                    \
        }                                                                                          \
    }
#define NC_GL__PASS(S, form, attributes)                                                           \
    attributes static void nc_gl__pass##form(nc_gl *x, size_t radix, size_t stride,                \
                                             const nc_gl *table, size_t j0, size_t j1,             \
                                             int from_reversed) {                                  \
        enum { W = NC_GL__LANES##S };                                                              \
        NC_GL__V##S r[16];                                                                         \
        size_t i, j;                                                                               \
        if (radix == 2) nc_gl__pass2_##S(x, stride, table, j0, j1, from_reversed);                 \
        if (radix == 4) nc_gl__pass4_##S(x, stride, table, j0, j1, from_reversed);                 \
        for (j = j0; j < j1 && radix > 4; j += W) {                                                \
            const nc_gl *w = table + j / 8 * 8 * (radix - 1) + j % 8;                              \
            nc_gl *y = x + j;                                                                      \
            if (from_reversed) {                                                                   \
                r[0] = nc_gl__load##S(y);                                                          \
                for (i = 1; i < radix; i++)                                                        \
                    r[i] = NC_GL__CANONICAL##form(nc_gl__load##S(y + i * stride),                  \
                                                  nc_gl__load##S(w + 8 * (i - 1)));                \
                (radix == 16 ? nc_gl__dft16_##S : nc_gl__dft8_##S)(y, stride, 1, (nc_gl *)r, W,    \
                                                                   1);                             \
                continue;                                                                          \
            }                                                                                      \
            (radix == 16 ? nc_gl__dft16_##S : nc_gl__dft8_##S)((nc_gl *)r, W, 0, y, stride, 0);    \
            nc_gl__store##S(y, r[0]);                                                              \
            for (i = 1; i < radix; i++)                                                            \
                nc_gl__store##S(y + i * stride,                                                    \
                                NC_GL__CANONICAL##form(r[i], nc_gl__load##S(w + 8 * (i - 1))));    \
        }                                                                                          \
    }

/* The pass without twiddles over groups of 16 neighbours, of which vectors take as many at a time
 * as they have lanes. Returns how many points are done. */
#define NC_GL__GROUPS(S)                                                                           \
    NC_GL__TARGET##S static size_t nc_gl__groups##S(nc_gl *x, size_t n, int from_reversed) {       \
        enum { W = NC_GL__LANES##S };                                                              \
        NC_GL__V##S aligned[16];                                                                   \
        nc_gl *r = (nc_gl *)aligned;                                                               \
        size_t i, q;                                                                               \
        for (i = 0; i + 16 * W <= n; i += 16 * W) {                                                \
            for (q = 0; q < 16; q += W) nc_gl__transpose##S(r + q * W, W, x + i + q, 16, 0);       \
            nc_gl__dft16_##S(r, W, from_reversed, r, W, from_reversed);                            \
            for (q = 0; q < 16; q += W) nc_gl__transpose##S(x + i + q, 16, r + q * W, W, 0);       \
        }                                                                                          \
        return i;                                                                                  \
    }

/* The same pass and the reversal of the order together. Index (a, middle, b) of 4, m - 8 and 4 bits
 * goes to (b, middle, a), each reversed: the tiles of two middles, 16 x 16 points with `step`
 * between their rows, are transformed along their rows, transposed and exchanged. */
static const uint8_t nc_gl__reversed16[16] = {0, 8, 4, 12, 2, 10, 6, 14, 1, 9, 5, 13, 3, 11, 7, 15};
#define NC_GL__LAST_TILES(S)                                                                       \
    NC_GL__TARGET##S static void nc_gl__last_tiles##S(nc_gl *x, size_t step, size_t from,          \
                                                      size_t to) {                                 \
        enum { W = NC_GL__LANES##S };                                                              \
        NC_GL__V##S aligned[16], tile[256 / W];                                                    \
        nc_gl *r = (nc_gl *)aligned, *kept = (nc_gl *)tile;                                        \
        size_t i, q;                                                                               \
        int second;                                                                                \
        for (second = 0; second <= (from != to); second++)                                         \
            for (i = 0; i < 16; i += W) {                                                          \
                const nc_gl *row = x + (second ? to : from) + nc_gl__reversed16[i] * step;         \
                for (q = 0; q < 16; q += W)                                                        \
                    nc_gl__transpose##S(r + q * W, W, row + q, 16 / W * step, 1);                  \
                nc_gl__dft16_##S((second ? x + from : kept) + i, second ? step : 16, 1, r, W, 0);  \
            }                                                                                      \
        for (q = 0; q < 16; q++) memcpy(x + to + q * step, kept + 16 * q, 16 * sizeof *x);         \
    }

#define NC_GL__PASSES(S)                                                                           \
    NC_GL__SMALL_PASS(S, 2) NC_GL__SMALL_PASS(S, 4) NC_GL__PASS(S, S, NC_GL__TARGET##S)
NC_GL__DFT(64, 8)
NC_GL__DFT16_BY_HALVES(64)
NC_GL__PASSES(64)
NC_GL__LAST_TILES(64)

static void nc_gl__groups64(nc_gl *x, size_t n, int from_reversed) {
    size_t i;
    for (i = 0; i < n; i += 16) nc_gl__dft16_64(x + i, 1, from_reversed, x + i, 1, from_reversed);
}

/* The transforms of 1, 2, 4 and 8 points: one pass, whose twiddles are 1. */
static void nc_gl__small_ntt(nc_gl *x, uint32_t log2_n, int from_reversed) {
    static const nc_gl ones[3 * 8] = {1, 0, 0, 0, 0, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 1};
    if (log2_n == 1) nc_gl__pass2_64(x, 1, ones, 0, 1, from_reversed);
    if (log2_n == 2) nc_gl__pass4_64(x, 1, ones, 0, 1, from_reversed);
    if (log2_n == 3) nc_gl__dft8_64(x, 1, from_reversed, x, 1, from_reversed);
}

#ifdef NC_GL__X86
NC_GL__DFT(256, 8)
NC_GL__DFT16_BY_HALVES(256)
NC_GL__PASSES(256)
NC_GL__GROUPS(256)
NC_GL__LAST_TILES(256)
NC_GL__DFT(512, 8)
NC_GL__DFT(512, 16)
NC_GL__PASSES(512)
NC_GL__PASS(512, _ifma, NC_GL__TARGET_IFMA)
NC_GL__GROUPS(512)
NC_GL__LAST_TILES(512)
#elif defined(NC_GL__NEON)
NC_GL__DFT(128, 8)
NC_GL__DFT(128, 16)
NC_GL__PASSES(128)
NC_GL__GROUPS(128)
NC_GL__LAST_TILES(128)
#endif

/* -- plans -- */

struct nc_gl_ntt {
    nc_allocator hooks;
    int custom_hooks;
    uint32_t log2_n;
    nc_gl n_inverse;
    nc_gl *table; /* of each pass from the largest down: see nc_gl__fill_twiddles */
};

/* The passes of 2^log2_n points: log2 of the radix of the first. */
static uint32_t nc_gl__first_radix(uint32_t log2_n) { return log2_n % 4 ? log2_n % 4 : 4; }

static size_t nc_gl__ntt_bytes(uint32_t log2_n) {
    return sizeof(nc_gl_ntt) + 64 + ((size_t)1 << log2_n) * sizeof(nc_gl);
}

static uint32_t nc_gl__bits_reversed(uint32_t x, uint32_t bits) {
    uint32_t y = 0;
    for (; bits > 0; bits--, x >>= 1) y = y << 1 | (x & 1);
    return y;
}

NC__COLD_BEGIN

/* Twiddles of a pass of radix 2^log2_r over blocks of 2^log2_n points: after the butterflies row i
 * holds frequency q = i with its bits reversed, so column j is multiplied by root^(j q). Rows
 * 1 .. r-1 of eight columns lie together; each group of eight columns is the one before times
 * root^(8 q). Returns the end of the table. */
static nc_gl *nc_gl__fill_twiddles(nc_gl *table, uint32_t log2_n, uint32_t log2_r) {
    nc_gl root, step[15 * 8];
    size_t columns = (size_t)1 << (log2_n - log2_r), j;
    uint32_t rows = (1u << log2_r) - 1, i;
    (void)nc_gl_root_of_unity(log2_n, &root);
    for (i = 0; i < rows; i++) {
        nc_gl power = nc_gl_pow(root, nc_gl__bits_reversed(i + 1, log2_r));
        nc_gl__powers(table + 8 * i, 1, power, 8);
        power = nc_gl_pow(power, 8);
        for (j = 0; j < 8; j++) step[8 * i + j] = power;
    }
    for (j = 8; j < columns; j += 8)
        nc_gl__multiply(table + j * rows, table + (j - 8) * rows, step, 8 * (size_t)rows);
    return table + columns * rows;
}

/* One allocation: the plan, and from the next 64 bytes on its twiddles, pass by pass in the
 * order in which a transform reads them. */
NC_API nc_status nc_gl_ntt_create(nc_gl_ntt **plan, uint32_t log2_n, const nc_allocator *hooks) {
    nc_gl_ntt *made;
    nc_gl *table;
    uint32_t block, radix;
    if (!plan) return NC_ERR_ARG;
    *plan = NULL;
    if (log2_n > NC_GL_NTT_MAX_LOG2) return NC_ERR_ARG;
    made = (nc_gl_ntt *)nc__alloc(hooks, nc_gl__ntt_bytes(log2_n));
    if (!made) return NC_ERR_MEMORY;
    memset(made, 0, sizeof *made);
    if (hooks) made->hooks = *hooks;
    made->custom_hooks = hooks != NULL;
    made->log2_n = log2_n;
    made->table = (nc_gl *)(void *)((char *)made + (sizeof(nc_gl_ntt) + 63) / 64 * 64);
    (void)nc_gl_inv((nc_gl)1 << log2_n, &made->n_inverse);
    table = made->table;
    for (block = log2_n; block > 4; block -= radix) {
        radix = nc_gl__first_radix(block);
        table = nc_gl__fill_twiddles(table, block, radix);
    }
    *plan = made;
    return NC_OK;
}

NC_API void nc_gl_ntt_destroy(nc_gl_ntt *plan) {
    nc_allocator hooks;
    int custom;
    if (!plan) return;
    hooks = plan->hooks;
    custom = plan->custom_hooks;
    nc__free(custom ? &hooks : NULL, plan, nc_gl__ntt_bytes(plan->log2_n));
}

NC__COLD_END

/* -- transforms -- */

/* A pass in the widest form this machine has. */
static void nc_gl__pass(nc_gl *x, uint32_t log2_radix, size_t stride, const nc_gl *table, size_t j0,
                        size_t j1, int from_reversed) {
    const size_t radix = (size_t)1 << log2_radix;
#ifdef NC_GL__X86
    if (nc_gl__level() == 3)
        nc_gl__pass_ifma(x, radix, stride, table, j0, j1, from_reversed);
    else if (nc_gl__level() == 2)
        nc_gl__pass512(x, radix, stride, table, j0, j1, from_reversed);
    else if (nc_gl__level() == 1)
        nc_gl__pass256(x, radix, stride, table, j0, j1, from_reversed);
    else
#elif defined(NC_GL__NEON)
    if (nc_gl__level() >= 1)
        nc_gl__pass128(x, radix, stride, table, j0, j1, from_reversed);
    else
#endif
        nc_gl__pass64(x, radix, stride, table, j0, j1, from_reversed);
}

/* The last pass of decimation in frequency, the first in time, over n / 16 groups. */
static void nc_gl__groups(nc_gl *x, size_t n, int from_reversed) {
    size_t i = 0;
#ifdef NC_GL__X86
    const int level = nc_gl__level();
    if (level >= 2) i = nc_gl__groups512(x, n, from_reversed);
    if (level >= 1) i += nc_gl__groups256(x + i, n - i, from_reversed);
#elif defined(NC_GL__NEON)
    if (nc_gl__level() >= 1) i = nc_gl__groups128(x, n, from_reversed);
#endif
    nc_gl__groups64(x + i, n - i, from_reversed);
}

/* What a transform does: natural to bit-reversed order, the way back, or the first without its last
 * pass, for nc_gl__last_pass. */
enum { NC_GL__TO_REVERSED, NC_GL__FROM_REVERSED, NC_GL__BUT_LAST };

/* One block of 2^log2_n points, 16 of them at least; table as nc_gl_ntt_create lays it out. */
static void nc_gl__ntt_block(nc_gl *x, uint32_t log2_n, const nc_gl *table, int way) {
    uint32_t radix = nc_gl__first_radix(log2_n), rest = log2_n - radix;
    size_t n = (size_t)1 << log2_n, stride = (size_t)1 << rest, i;
    const nc_gl *next = table + n - stride;
    if (log2_n == 4) {
        nc_gl__groups(x, n, way);
        return;
    }
    if (way != NC_GL__FROM_REVERSED) nc_gl__pass(x, radix, stride, table, 0, stride, 0);
    if (rest > 4)
        for (i = 0; i < n; i += stride) nc_gl__ntt_block(x + i, rest, next, way);
    else if (way != NC_GL__BUT_LAST)
        nc_gl__groups(x, n, way);
    if (way == NC_GL__FROM_REVERSED) nc_gl__pass(x, radix, stride, table, 0, stride, 1);
}

/* Threads share the columns of the largest pass, and the blocks below it. */
static void nc_gl__ntt_large(nc_gl *x, uint32_t log2_n, const nc_gl *table, int way) {
    uint32_t radix = nc_gl__first_radix(log2_n), rest = log2_n - radix;
    ptrdiff_t n = (ptrdiff_t)1 << log2_n, stride = (ptrdiff_t)1 << rest, part = stride / 64, j;
    const int back = way == NC_GL__FROM_REVERSED;
    int step;
    for (step = 0; step < 2; step++) {
        if (step == back) {
#ifdef _OPENMP
#pragma omp parallel for schedule(static)
#endif
            for (j = 0; j < stride; j += part)
                nc_gl__pass(x, radix, (size_t)stride, table, (size_t)j, (size_t)(j + part), back);
        } else {
#ifdef _OPENMP
#pragma omp parallel for schedule(static)
#endif
            for (j = 0; j < n; j += stride)
                nc_gl__ntt_block(x + j, rest, table + (n - stride), way);
        }
    }
}

static void nc_gl__ntt_run(const nc_gl_ntt *plan, nc_gl *x, int way) {
    if (plan->log2_n < 4)
        nc_gl__small_ntt(x, plan->log2_n, way);
    else if (plan->log2_n < 16)
        nc_gl__ntt_block(x, plan->log2_n, plan->table, way);
    else
        nc_gl__ntt_large(x, plan->log2_n, plan->table, way);
}

/* The last pass, to natural order; 8 <= log2_n. */
static void nc_gl__last_pass(nc_gl *x, uint32_t log2_n) {
    const size_t step = (size_t)1 << (log2_n - 4);
    ptrdiff_t middles = (ptrdiff_t)1 << (log2_n - 8), i;
#ifdef _OPENMP
#pragma omp parallel for schedule(static) if (log2_n >= 16)
#endif
    for (i = 0; i < middles; i++) {
        const size_t from = (size_t)i, to = nc_gl__bits_reversed((uint32_t)i, log2_n - 8);
        if (from > to) continue;
#ifdef NC_GL__X86
        if (nc_gl__level() >= 2)
            nc_gl__last_tiles512(x, step, 16 * from, 16 * to);
        else if (nc_gl__level() == 1)
            nc_gl__last_tiles256(x, step, 16 * from, 16 * to);
        else
#elif defined(NC_GL__NEON)
        if (nc_gl__level() >= 1)
            nc_gl__last_tiles128(x, step, 16 * from, 16 * to);
        else
#endif
            nc_gl__last_tiles64(x, step, 16 * from, 16 * to);
    }
}

NC_API void nc_gl_ntt_forward(const nc_gl_ntt *plan, nc_gl *x) {
    if (plan->log2_n >= 8) {
        nc_gl__ntt_run(plan, x, NC_GL__BUT_LAST);
        nc_gl__last_pass(x, plan->log2_n);
    } else {
        nc_gl__ntt_run(plan, x, NC_GL__TO_REVERSED);
        nc_gl_bit_reverse(x, plan->log2_n);
    }
}

#ifdef NC_GL__X86
/* x[i] <-> x[n - i] times the factor for 1 <= i, in pairs of eights from both ends. Returns the
 * first i that is left. */
NC_GL__TARGET512 static size_t nc_gl__mirror512(nc_gl *x, size_t n, nc_gl factor) {
    const __m512i backwards = _mm512_set_epi64(0, 1, 2, 3, 4, 5, 6, 7), f = nc_gl__set512(factor);
    size_t i;
    for (i = 1; i + 8 <= n / 2; i += 8) {
        __m512i a = nc_gl__load512(x + i), b = nc_gl__load512(x + n - i - 7);
        nc_gl__store512(x + i, nc_gl__mul512(_mm512_permutexvar_epi64(backwards, b), f));
        nc_gl__store512(x + n - i - 7, nc_gl__mul512(_mm512_permutexvar_epi64(backwards, a), f));
    }
    return i;
}
#endif

NC__WARM_BEGIN

/* The inverse transform is the forward one with x[1 .. n-1] mirrored, divided by n. */
static void nc_gl__mirror(nc_gl *x, size_t n, nc_gl factor) {
    size_t i = 1;
    x[0] = nc_gl_mul(x[0], factor);
#ifdef NC_GL__X86
    if (nc_gl__level() >= 2) i = nc_gl__mirror512(x, n, factor);
#endif
    for (; i < n - i; i++) {
        nc_gl t = nc_gl_mul(x[i], factor);
        x[i] = nc_gl_mul(x[n - i], factor);
        x[n - i] = t;
    }
    if (i == n - i) x[i] = nc_gl_mul(x[i], factor);
}

NC_API void nc_gl_ntt_inverse(const nc_gl_ntt *plan, nc_gl *x) {
    nc_gl_ntt_forward(plan, x);
    nc_gl__mirror(x, (size_t)1 << plan->log2_n, plan->n_inverse);
}

NC_API void nc_gl_ntt_to_reversed(const nc_gl_ntt *plan, nc_gl *x) {
    nc_gl__ntt_run(plan, x, NC_GL__TO_REVERSED);
}

NC_API void nc_gl_ntt_inverse_from_reversed(const nc_gl_ntt *plan, nc_gl *x) {
    nc_gl__ntt_run(plan, x, NC_GL__FROM_REVERSED);
    nc_gl__mirror(x, (size_t)1 << plan->log2_n, plan->n_inverse);
}

/* Index (a, middle, b) of 3, m - 6 and 3 bits goes to (b, middle, a), each reversed: an 8 x 8
 * transposition that exchanges the tiles of two middles. */
static void nc_gl__reverse_tile64(nc_gl *x, size_t stride, size_t from, size_t to) {
    static const uint8_t reversed[8] = {0, 4, 2, 6, 1, 5, 3, 7};
    size_t a, b;
    for (a = 0; a < 8; a++)
        for (b = from == to ? a : 0; b < 8; b++) {
            nc_gl *p = x + a * stride + from + reversed[b];
            nc_gl *q = x + b * stride + to + reversed[a], t = *p;
            *p = *q;
            *q = t;
        }
}

#ifdef NC_GL__X86
/* The same with vectors; rows are read in bit-reversed order, so that the lanes come out
 * reversed. */
NC_GL__TARGET512 static void nc_gl__reverse_tile512(nc_gl *x, size_t stride, size_t from,
                                                    size_t to) {
    __m512i a[8], b[8];
#define NC_GL__LOAD_TILE(i, reversed)                                                              \
    a[i] = nc_gl__load512(x + reversed * stride + from);                                           \
    b[i] = nc_gl__load512(x + reversed * stride + to);
#define NC_GL__STORE_TILE(i, reversed)                                                             \
    nc_gl__store512(x + reversed * stride + to, a[i]);                                             \
    nc_gl__store512(x + reversed * stride + from, b[i]);
#define NC_GL__TILE_ROWS(m) m(0, 0) m(1, 4) m(2, 2) m(3, 6) m(4, 1) m(5, 5) m(6, 3) m(7, 7)
    NC_GL__TILE_ROWS(NC_GL__LOAD_TILE)
    nc_gl__transpose_rows512(a);
    nc_gl__transpose_rows512(b);
    NC_GL__TILE_ROWS(NC_GL__STORE_TILE)
#undef NC_GL__TILE_ROWS
#undef NC_GL__STORE_TILE
#undef NC_GL__LOAD_TILE
}
#endif

NC_API void nc_gl_bit_reverse(nc_gl *x, uint32_t log2_n) {
    ptrdiff_t n = (ptrdiff_t)1 << log2_n, i;
    if (log2_n < 6) {
        for (i = 0; i < n; i++) {
            ptrdiff_t j = (ptrdiff_t)nc_gl__bits_reversed((uint32_t)i, log2_n);
            nc_gl t = x[i];
            if (i >= j) continue;
            x[i] = x[j];
            x[j] = t;
        }
        return;
    }
#ifdef _OPENMP
#pragma omp parallel for schedule(static) if (log2_n >= 16)
#endif
    for (i = 0; i < n / 64; i++) {
        size_t j = nc_gl__bits_reversed((uint32_t)i, log2_n - 6), stride = (size_t)n / 8;
        if ((size_t)i > j) continue;
#ifdef NC_GL__X86
        if (nc_gl__level() >= 2) {
            nc_gl__reverse_tile512(x, stride, 8 * (size_t)i, 8 * j);
            continue;
        }
#endif
        nc_gl__reverse_tile64(x, stride, 8 * (size_t)i, 8 * j);
    }
}

NC__WARM_END

NC__COLD_BEGIN

/* x[i] *= shift^i, in blocks that share one table of powers. */
static void nc_gl__scale_powers(nc_gl *x, size_t n, nc_gl shift) {
    enum { BLOCK = 256 };
    nc_gl power[BLOCK];
    ptrdiff_t blocks = (ptrdiff_t)(n / BLOCK), i;
    nc_gl stride;
    nc_gl__powers(power, 1, shift, BLOCK);
    stride = nc_gl_mul(power[BLOCK - 1], shift);
    if (blocks == 0) nc_gl__multiply(x, x, power, n);
#ifdef _OPENMP
#pragma omp parallel for schedule(static) if (blocks >= 256)
#endif
    for (i = 0; i < blocks; i++) {
        nc_gl *block = x + i * BLOCK;
        nc_gl__multiply(block, block, power, BLOCK);
        if (i > 0) nc_gl__scale(block, nc_gl_pow(stride, (uint64_t)i), block, BLOCK);
    }
}

NC_API void nc_gl_ntt_coset_forward(const nc_gl_ntt *plan, nc_gl *x, nc_gl shift) {
    nc_gl__scale_powers(x, (size_t)1 << plan->log2_n, shift);
    nc_gl_ntt_forward(plan, x);
}

NC_API nc_status nc_gl_ntt_coset_inverse(const nc_gl_ntt *plan, nc_gl *x, nc_gl shift) {
    nc_gl inverse;
    nc_status status = nc_gl_inv(shift, &inverse);
    if (status != NC_OK) return status;
    nc_gl_ntt_inverse(plan, x);
    nc_gl__scale_powers(x, (size_t)1 << plan->log2_n, inverse);
    return NC_OK;
}

static void nc_gl__ntt_one(const nc_gl_ntt *plan, nc_gl *x, int inverse) {
    if (inverse)
        nc_gl_ntt_inverse(plan, x);
    else
        nc_gl_ntt_forward(plan, x);
}

NC_API void nc_gl_ntt_many(const nc_gl_ntt *plan, nc_gl *x, size_t count, int inverse) {
    ptrdiff_t i;
#ifdef _OPENMP
#pragma omp parallel for schedule(static) if (count > 1 && count << plan->log2_n >= 1u << 14)
#endif
    for (i = 0; i < (ptrdiff_t)count; i++)
        nc_gl__ntt_one(plan, x + ((size_t)i << plan->log2_n), inverse);
}

NC_API nc_status nc_gl_ntt_columns(const nc_gl_ntt *plan, nc_gl *x, size_t columns, int inverse,
                                   nc_gl *scratch) {
    size_t n = (size_t)1 << plan->log2_n;
    nc_status status = nc_gl_transpose(scratch, x, n, columns);
    if (status != NC_OK) return status;
    nc_gl_ntt_many(plan, scratch, columns, inverse);
    return nc_gl_transpose(x, scratch, columns, n);
}

NC_API nc_status nc_gl_ntt_extend(const nc_gl_ntt *small_plan, const nc_gl_ntt *large_plan,
                                  nc_gl *x, nc_gl shift) {
    size_t n = (size_t)1 << small_plan->log2_n, wide = (size_t)1 << large_plan->log2_n;
    if (wide < n) return NC_ERR_ARG;
    if (shift == 0) return NC_ERR_MATH;
    nc_gl_ntt_inverse(small_plan, x);
    memset(x + n, 0, (wide - n) * sizeof *x);
    nc_gl__scale_powers(x, n, shift);
    nc_gl_ntt_forward(large_plan, x);
    return NC_OK;
}

NC__COLD_END

/* >>polynomials ==================================================================== */

NC__WARM_BEGIN

NC_API void nc_gl_poly_add(nc_gl *out, const nc_gl *a, size_t na, const nc_gl *b, size_t nb) {
    size_t i, common = nc_gl__least(na, nb);
    for (i = 0; i < common; i++) out[i] = nc_gl_add(a[i], b[i]);
    for (; i < na; i++) out[i] = a[i];
    for (; i < nb; i++) out[i] = b[i];
}

NC__COLD_BEGIN

/* The product through transforms of n >= na + nb - 1 points; order inside does not matter. */
static nc_status nc_gl__poly_mul_ntt(nc_gl *out, const nc_gl *a, size_t na, const nc_gl *b,
                                     size_t nb, const nc_allocator *hooks) {
    nc_gl_ntt *plan = NULL;
    uint32_t log2_n = 0;
    size_t n, bytes, total = na + nb - 1;
    nc_gl *work;
    nc_status status;
    while ((size_t)1 << log2_n < total) log2_n++;
    n = (size_t)1 << log2_n;
    bytes = nc__mul_size(2 * n, sizeof *work); /* 2^32 at most: too much for 32-bit machines */
    work = (nc_gl *)nc__calloc(hooks, bytes);
    if (!work) return NC_ERR_MEMORY;
    status = nc_gl_ntt_create(&plan, log2_n, hooks);
    if (status == NC_OK) {
        memcpy(work, a, na * sizeof *a);
        memcpy(work + n, b, nb * sizeof *b);
        nc_gl_ntt_to_reversed(plan, work);
        nc_gl_ntt_to_reversed(plan, work + n);
        nc_gl__multiply(work, work, work + n, n);
        nc_gl_ntt_inverse_from_reversed(plan, work);
        memcpy(out, work, total * sizeof *out);
    }
    nc_gl_ntt_destroy(plan);
    nc__free(hooks, work, bytes);
    return status;
}

NC_API nc_status nc_gl_poly_mul(nc_gl *out, const nc_gl *a, size_t na, const nc_gl *b, size_t nb,
                                const nc_allocator *hooks) {
    const size_t limit = (size_t)1 << NC_GL_NTT_MAX_LOG2;
    size_t i, total;
    if (na == 0 || nb == 0) return NC_OK;
    if (!out || !a || !b) return NC_ERR_ARG;
    if (na > limit || nb > limit || na + nb - 1 > limit) return NC_ERR_LIMIT;
    total = na + nb - 1;
    if (nc_gl__overlap(out, total, a, na) || nc_gl__overlap(out, total, b, nb)) return NC_ERR_ARG;
    if (na >= 32 && nb >= 32) return nc_gl__poly_mul_ntt(out, a, na, b, nb, hooks);
    memset(out, 0, total * sizeof *out); /* schoolbook: cheaper than three transforms */
    for (i = 0; i < na; i++) nc_gl__axpy(out + i, a[i], b, nb);
    return NC_OK;
}

NC__COLD_END

NC_API nc_gl nc_gl_poly_eval(const nc_gl *a, size_t n, nc_gl x) {
    nc_gl value = 0;
    while (n-- > 0) value = nc_gl_mul_add(value, x, a[n]);
    return value;
}

/* y[i] = y[i] x[i] + s, one step of Horner's rule for many points. */
static NC__NOINLINE void nc_gl__horner(nc_gl *y, const nc_gl *x, nc_gl s, size_t n) {
    size_t i = NC_GL__WIDE(vec_horner, (y, x, s, n));
    (void)nc_gl__vec_horner64(y + i, x + i, s, n - i);
}

NC__COLD_BEGIN

NC_API nc_status nc_gl_poly_eval_many(nc_gl *out, const nc_gl *a, size_t n, const nc_gl *xs,
                                      size_t m) {
    const size_t block = 1024; /* points whose values stay in the first cache */
    size_t at, k;
    if (nc_gl__overlap(out, m, a, n) || nc_gl__overlap(out, m, xs, m)) return NC_ERR_ARG;
    for (at = 0; at < m; at += block) {
        size_t count = nc_gl__least(m - at, block);
        memset(out + at, 0, count * sizeof *out);
        for (k = n; k-- > 0;) nc_gl__horner(out + at, xs + at, a[k], count);
    }
    return NC_OK;
}

NC__COLD_END

NC_API nc_gl nc_gl_poly_divide_linear(nc_gl *quotient, const nc_gl *a, size_t n, nc_gl z) {
    const size_t last = n;
    nc_gl carry = 0;
    while (n-- > 0) { /* carry is the quotient's coefficient n, at the end the remainder */
        const nc_gl coefficient = a[n];
        if (n + 1 < last) quotient[n] = carry;
        carry = nc_gl_mul_add(carry, z, coefficient);
    }
    return carry;
}

/* The zerofier of few points, factor by factor. */
static void nc_gl__zerofier_direct(nc_gl *out, const nc_gl *xs, size_t n) {
    size_t i, k;
    out[0] = 1;
    for (i = 0; i < n; i++) { /* times (x - xs[i]) */
        const nc_gl minus = nc_gl_neg(xs[i]);
        out[i + 1] = out[i];
        for (k = i; k > 0; k--) out[k] = nc_gl_mul_add(out[k], minus, out[k - 1]);
        out[0] = nc_gl_mul(out[0], minus);
    }
}

NC__COLD_BEGIN

/* out[0 .. n]; work holds 2 n + 128 elements: both halves' results, then the same for a half. */
static nc_status nc_gl__zerofier(nc_gl *out, const nc_gl *xs, size_t n, nc_gl *work,
                                 const nc_allocator *hooks) {
    const size_t half = n / 2;
    nc_status status;
    if (n <= 32) {
        nc_gl__zerofier_direct(out, xs, n);
        return NC_OK;
    }
    status = nc_gl__zerofier(work, xs, half, work + n + 2, hooks);
    if (status == NC_OK)
        status = nc_gl__zerofier(work + half + 1, xs + half, n - half, work + n + 2, hooks);
    if (status == NC_OK)
        status = nc_gl_poly_mul(out, work, half + 1, work + half + 1, n - half + 1, hooks);
    return status;
}

NC_API nc_status nc_gl_poly_zerofier(nc_gl *out, const nc_gl *xs, size_t n,
                                     const nc_allocator *hooks) {
    size_t bytes;
    nc_gl *work;
    nc_status status;
    if (!out || (n && !xs)) return NC_ERR_ARG;
    if (n >= (size_t)1 << NC_GL_NTT_MAX_LOG2) return NC_ERR_LIMIT;
    if (nc_gl__overlap(out, n + 1, xs, n)) return NC_ERR_ARG;
    bytes = nc__mul_size(2 * n + 128, sizeof *out);
    work = (nc_gl *)nc__alloc(hooks, bytes);
    if (!work) return NC_ERR_MEMORY;
    status = nc_gl__zerofier(out, xs, n, work, hooks);
    nc__free(hooks, work, bytes);
    return status;
}

/* Lagrange: with Z the product of all (x - xs[i]), the sum of c[i] Z / (x - xs[i]) where
 * c[i] = ys[i] / Z'(xs[i]). The quotients come coefficient by coefficient from Horner's rule, all
 * of them at once. work: Z and Z' (n + 1 each), c, the quotients' coefficients, scratch (n each).
 */
static nc_status nc_gl__interpolate(nc_gl *out, const nc_gl *xs, const nc_gl *ys, size_t n,
                                    nc_gl *work, const nc_allocator *hooks) {
    nc_gl *z = work, *derivative = z + n + 1, *c = derivative + n + 1, *row = c + n;
    size_t zeros = 0, k;
    nc_status status = nc_gl_poly_zerofier(z, xs, n, hooks);
    if (status != NC_OK) return status;
    for (k = 0; k < n; k++) derivative[k] = nc_gl_mul(z[k + 1], nc_gl_from_u64(k + 1));
    (void)nc_gl_poly_eval_many(row, derivative, n, xs, n);
    (void)nc_gl_batch_inv(row, row, n, row + n, &zeros);
    if (zeros) return NC_ERR_MATH; /* a double root: two points share their x */
    nc_gl__multiply(c, row, ys, n);
    memset(row, 0, n * sizeof *row);
    for (k = n; k-- > 0;) {
        nc_gl__horner(row, xs, z[k + 1], n);
        out[k] = nc_gl_vec_dot(c, row, n);
    }
    return NC_OK;
}

NC_API nc_status nc_gl_poly_interpolate(nc_gl *out, const nc_gl *xs, const nc_gl *ys, size_t n,
                                        const nc_allocator *hooks) {
    size_t bytes;
    nc_gl *work;
    nc_status status;
    if (n == 0) return NC_OK;
    if (!out || !xs || !ys) return NC_ERR_ARG;
    if (n >= (size_t)1 << NC_GL_NTT_MAX_LOG2) return NC_ERR_LIMIT;
    if (nc_gl__overlap(out, n, xs, n) || nc_gl__overlap(out, n, ys, n)) return NC_ERR_ARG;
    bytes = nc__mul_size(5 * n + 2, sizeof *out);
    work = (nc_gl *)nc__alloc(hooks, bytes);
    if (!work) return NC_ERR_MEMORY;
    status = nc_gl__interpolate(out, xs, ys, n, work, hooks);
    nc__free(hooks, work, bytes);
    return status;
}

NC__COLD_END

NC__WARM_END

/* >>poseidon2 ====================================================================== */

/* -- lazy arithmetic -- */

/* The scalar permutations work on any representatives below 2^64 and sum them with their
 * carries; only the result is made canonical. */

/* A product, with a branch where nc_gl__reduce_lazy has arithmetic: the borrow comes once in 2^32
 * random products, so the processor predicts it and the chain of the S-box gets shorter. */
static inline uint64_t nc_gl__mul_lazy(uint64_t a, uint64_t b) {
    nc_gl__wide w = nc_gl__mul_wide(a, b);
    uint64_t t, r, over = nc_gl__borrow(w.lo, w.hi >> 32, &t);
#if defined(__GNUC__)
    if (__builtin_expect((long)over, 0)) t -= NC_GL__EPSILON;
#else
    if (over) t -= NC_GL__EPSILON;
#endif
    over = nc_gl__carry(t, (w.hi & NC_GL__EPSILON) * NC_GL__EPSILON, &r);
    return r + nc_gl__carried(over);
}

static uint64_t nc_gl__pow7_lazy(uint64_t x) {
    uint64_t x2 = nc_gl__mul_lazy(x, x), x3 = nc_gl__mul_lazy(x2, x);
    return nc_gl__mul_lazy(x3, nc_gl__mul_lazy(x2, x2));
}

static nc_gl nc_gl__pow7(nc_gl x) { return nc_gl__canonical(nc_gl__pow7_lazy(x)); }

/* Any a plus a canonical c: after a carry the rest is below p - 1, so 2^32 - 1 more still fits. */
static uint64_t nc_gl__add_lazy(uint64_t a, nc_gl c) {
    uint64_t s, carry = nc_gl__carry(a, c, &s);
    return s + nc_gl__carried(carry);
}

static inline nc_gl__wide nc_gl__widen(uint64_t lo) { return nc_gl__wide_make(0, lo); }

static inline nc_gl__wide nc_gl__wide_sub(nc_gl__wide a, uint64_t b) {
    return nc_gl__wide_difference(a, nc_gl__widen(b));
}

/* nc_gl__reduce_lazy for hi < 2^32. */
static uint64_t nc_gl__fold(nc_gl__wide w) {
    uint64_t r, carry = nc_gl__carry(w.lo, w.hi * NC_GL__EPSILON, &r);
    return r + nc_gl__carried(carry);
}

/* -- instances -- */

/* What the functions below need of a permutation: of its state, of its single form, of the forms
 * with one state in each lane, which take up to 16 states (256 bits) or 32 (512 bits, null: none)
 * and pay from `fill` of those 32 on. For Poseidon2 also the constants of 4 full, 22 partial and 4
 * full rounds, and the diagonal of the internal matrix less 1. */
typedef struct nc_gl__permutation nc_gl__permutation;
struct nc_gl__permutation {
    uint32_t width, fill;
    void (*one)(nc_gl *state, const nc_gl__permutation *p);
    void (*lanes256)(nc_gl *states, size_t n, const nc_gl__permutation *p);
    void (*lanes512)(nc_gl *states, size_t n, const nc_gl__permutation *p);
    const nc_gl *constant, *diagonal;
    int trident; /* its external layer */
};

/* Values of Plonky3's goldilocks crate. */
static const nc_gl nc_gl__poseidon2_rc8[86] = {
    UINT64_C(15949291268843349465), UINT64_C(14644164809401934923), UINT64_C(18420360874837380316),
    UINT64_C(4756469047455716334),  UINT64_C(8685499049481102115),  UINT64_C(3799221349720045367),
    UINT64_C(13676397835037157930), UINT64_C(6566439050423619635),  UINT64_C(17428268347612331188),
    UINT64_C(2833135872454503769),  UINT64_C(4767009016213040191),  UINT64_C(2797635963551733652),
    UINT64_C(5312339450141126694),  UINT64_C(5356668452102813289),  UINT64_C(1234059326449530173),
    UINT64_C(7724302552453704877),  UINT64_C(14868588146468890290), UINT64_C(12825281145595371185),
    UINT64_C(13097885453579304196), UINT64_C(7905326782341128063),  UINT64_C(14167525334039893569),
    UINT64_C(2082169701994688927),  UINT64_C(12190787523818595537), UINT64_C(12602917751946636),
    UINT64_C(14890907856876319003), UINT64_C(16552240149997473409), UINT64_C(5634093690795187558),
    UINT64_C(4883714163685656967),  UINT64_C(12440776365164557866), UINT64_C(3923800234666204307),
    UINT64_C(9858064884105950259),  UINT64_C(16040043470428402038), UINT64_C(5226594323142090582),
    UINT64_C(1243120476974621208),  UINT64_C(12100812801659301173), UINT64_C(11228203327983058121),
    UINT64_C(13891617888374767564), UINT64_C(5742893160230537107),  UINT64_C(3763472116988983643),
    UINT64_C(2466655769425769160),  UINT64_C(6254574254498162968),  UINT64_C(14183251225809189357),
    UINT64_C(11565357354521717084), UINT64_C(17300657704266685688), UINT64_C(310485250821938281),
    UINT64_C(16853586468012618118), UINT64_C(1978800426240373849),  UINT64_C(6948188224235462572),
    UINT64_C(1486402152218690509),  UINT64_C(5669161690283398991),  UINT64_C(17943970877073781734),
    UINT64_C(17926851897715769433), UINT64_C(13052837496695000666), UINT64_C(18138113741095562305),
    UINT64_C(94277733998400326),    UINT64_C(10891359798487446420), UINT64_C(18280773820738154043),
    UINT64_C(13714589910668449566), UINT64_C(10639034072771185213), UINT64_C(14148790895768484219),
    UINT64_C(18341268649720100165), UINT64_C(3096672942770686236),  UINT64_C(12277596046563557393),
    UINT64_C(400461754528604020),   UINT64_C(12955488253560265444), UINT64_C(11773677676764285572),
    UINT64_C(4833837465239476573),  UINT64_C(17645852643693996619), UINT64_C(6605134696140007471),
    UINT64_C(588040525114200273),   UINT64_C(11001741536026769411), UINT64_C(17917086578469406776),
    UINT64_C(14893530806420712543), UINT64_C(727997185253761138),   UINT64_C(3443873847340254325),
    UINT64_C(13095911531247069692), UINT64_C(8330737046680948619),  UINT64_C(6014364575875986011),
    UINT64_C(16851679856681761121), UINT64_C(17817965496543149594), UINT64_C(12823640325246269760),
    UINT64_C(13685256787930775147), UINT64_C(4682652317564502291),  UINT64_C(4233879762155685988),
    UINT64_C(11097258179564187322), UINT64_C(10804761421745472094)};
static const nc_gl nc_gl__poseidon2_rc12[118] = {
    UINT64_C(1431286215153372998),  UINT64_C(3509349009260703107),  UINT64_C(2289575380984896342),
    UINT64_C(10625215922958251110), UINT64_C(17137022507167291684), UINT64_C(17143426961497010024),
    UINT64_C(9589775313463224365),  UINT64_C(7736066733515538648),  UINT64_C(2217569167061322248),
    UINT64_C(10394930802584583083), UINT64_C(4612393375016695705),  UINT64_C(5332470884919453534),
    UINT64_C(8724526834049581439),  UINT64_C(17673787971454860688), UINT64_C(2519987773101056005),
    UINT64_C(7999687124137420323),  UINT64_C(18312454652563306701), UINT64_C(15136091233824155669),
    UINT64_C(1257110570403430003),  UINT64_C(5665449074466664773),  UINT64_C(16178737609685266571),
    UINT64_C(52855143527893348),    UINT64_C(8084454992943870230),  UINT64_C(2597062441266647183),
    UINT64_C(3342624911463171251),  UINT64_C(6781356195391537436),  UINT64_C(4697929572322733707),
    UINT64_C(4179687232228901671),  UINT64_C(17841073646522133059), UINT64_C(18340176721233187897),
    UINT64_C(13152929999122219197), UINT64_C(6306257051437840427),  UINT64_C(4974451914008050921),
    UINT64_C(11258703678970285201), UINT64_C(581736081259960204),   UINT64_C(18323286026903235604),
    UINT64_C(10250026231324330997), UINT64_C(13321947507807660157), UINT64_C(13020725208899496943),
    UINT64_C(11416990495425192684), UINT64_C(7221795794796219413),  UINT64_C(2607917872900632985),
    UINT64_C(2591896057192169329),  UINT64_C(10485489452304998145), UINT64_C(9480186048908910015),
    UINT64_C(2645141845409940474),  UINT64_C(16242299839765162610), UINT64_C(12203738590896308135),
    UINT64_C(5395176197344543510),  UINT64_C(17941136338888340715), UINT64_C(7559392505546762987),
    UINT64_C(549633128904721280),   UINT64_C(15658455328409267684), UINT64_C(10078371877170729592),
    UINT64_C(2349868247408080783),  UINT64_C(13105911261634181239), UINT64_C(12868653202234053626),
    UINT64_C(9471330315555975806),  UINT64_C(4580289636625406680),  UINT64_C(13222733136951421572),
    UINT64_C(4555032575628627551),  UINT64_C(7619130111929922899),  UINT64_C(4547848507246491777),
    UINT64_C(5662043532568004632),  UINT64_C(15723873049665279492), UINT64_C(13585630674756818185),
    UINT64_C(6990417929677264473),  UINT64_C(6373257983538884779),  UINT64_C(1005856792729125863),
    UINT64_C(17850970025369572891), UINT64_C(14306783492963476045), UINT64_C(12653264875831356889),
    UINT64_C(10887434669785806501), UINT64_C(7221072982690633460),  UINT64_C(9953585853856674407),
    UINT64_C(13497620366078753434), UINT64_C(18140292631504202243), UINT64_C(17311934738088402529),
    UINT64_C(6686302214424395771),  UINT64_C(11193071888943695519), UINT64_C(10233795775801758543),
    UINT64_C(3362219552562939863),  UINT64_C(8595401306696186761),  UINT64_C(7753411262943026561),
    UINT64_C(12415218859476220947), UINT64_C(12517451587026875834), UINT64_C(3257008032900598499),
    UINT64_C(2187469039578904770),  UINT64_C(657675168296710415),   UINT64_C(8659969869470208989),
    UINT64_C(12526098871288378639), UINT64_C(12525853395769009329), UINT64_C(15388161689979551704),
    UINT64_C(7880966905416338909),  UINT64_C(2911694411222711481),  UINT64_C(6420652251792580406),
    UINT64_C(323544930728360053),   UINT64_C(11718666476052241225), UINT64_C(2449132068789045592),
    UINT64_C(17993014181992530560), UINT64_C(15161788952257357966), UINT64_C(3788504801066818367),
    UINT64_C(1282111773460545571),  UINT64_C(8849495164481705550),  UINT64_C(8380852402060721190),
    UINT64_C(2161980224591127360),  UINT64_C(2440151485689245146),  UINT64_C(17521895002090134367),
    UINT64_C(13821005335130766955), UINT64_C(17513705631114265826), UINT64_C(17068447856797239529),
    UINT64_C(17964439003977043993), UINT64_C(5685000919538239429),  UINT64_C(11615940660682589106),
    UINT64_C(2522854885180605258),  UINT64_C(12584118968072796115), UINT64_C(17841258728624635591),
    UINT64_C(10821564568873127316)};
static const nc_gl nc_gl__poseidon2_rc16[150] = {
    UINT64_C(1579613653969377219),  UINT64_C(15509510893087893340), UINT64_C(10090715174060125222),
    UINT64_C(5625716564419252202),  UINT64_C(3006005019077469174),  UINT64_C(18314693207014427912),
    UINT64_C(10170571510627764565), UINT64_C(2027625550790675754),  UINT64_C(3983470257916202094),
    UINT64_C(3423470109396435354),  UINT64_C(3450488264035752368),  UINT64_C(3151070045406026687),
    UINT64_C(13462781804006123550), UINT64_C(13288575772684627216), UINT64_C(13745549378090937523),
    UINT64_C(7780139165529418388),  UINT64_C(11699769881923825909), UINT64_C(4349260652212695338),
    UINT64_C(8228348357294662898),  UINT64_C(12037145371429260559), UINT64_C(7743383997471469184),
    UINT64_C(7842006993218978420),  UINT64_C(18369471830829996810), UINT64_C(10157815501749214163),
    UINT64_C(11128005290408113568), UINT64_C(12272917402811871099), UINT64_C(106820976709770637),
    UINT64_C(6178857985076893256),  UINT64_C(14036787039817180193), UINT64_C(1659458828486927362),
    UINT64_C(15938183887757779615), UINT64_C(10060334973073197601), UINT64_C(12437259172286625042),
    UINT64_C(3143835545170851304),  UINT64_C(14361575850007152549), UINT64_C(11810209965918630788),
    UINT64_C(17667700303515849362), UINT64_C(13451932870729425780), UINT64_C(17496644301504593329),
    UINT64_C(1778669202480014256),  UINT64_C(11124488067381312952), UINT64_C(14273583775934080755),
    UINT64_C(13257379154210125715), UINT64_C(15182093233826554989), UINT64_C(5343815959848316783),
    UINT64_C(5696193414571279556),  UINT64_C(6089787229781325813),  UINT64_C(3717595218375990594),
    UINT64_C(12355842859741995537), UINT64_C(14160921043125059199), UINT64_C(13682913322779819091),
    UINT64_C(12343504462597575239), UINT64_C(14249643564311509087), UINT64_C(15849758561085927402),
    UINT64_C(12186564686511703262), UINT64_C(690520822232718983),   UINT64_C(684200944081655198),
    UINT64_C(6008958449718781068),  UINT64_C(3098079696536837500),  UINT64_C(12083506578988585239),
    UINT64_C(6489163969976034646),  UINT64_C(1186411428667285248),  UINT64_C(11192474480021157091),
    UINT64_C(17095617549195818058), UINT64_C(2949845317987848448),  UINT64_C(6935557324168256069),
    UINT64_C(2055390472619727748),  UINT64_C(12399309956582731760), UINT64_C(3088058410657255303),
    UINT64_C(8790959064194804235),  UINT64_C(4582664136559626757),  UINT64_C(14821962908959377092),
    UINT64_C(2002685046256118388),  UINT64_C(15689593639089632368), UINT64_C(10512046881800463697),
    UINT64_C(11973738501993105496), UINT64_C(13009070935614847359), UINT64_C(12908033183314664096),
    UINT64_C(9530849385991780809),  UINT64_C(17528314872631229800), UINT64_C(17869527288639567155),
    UINT64_C(7829055113315023688),  UINT64_C(3256047469251174543),  UINT64_C(3015723851705964382),
    UINT64_C(5177282273995529875),  UINT64_C(16035152896984012190), UINT64_C(15766898731627159621),
    UINT64_C(6714370142978148338),  UINT64_C(5906664861467821209),  UINT64_C(2197120128337974909),
    UINT64_C(9400421283898153864),  UINT64_C(16740473708727660723), UINT64_C(7287335615015370599),
    UINT64_C(12399217337488717232), UINT64_C(12655834778591227242), UINT64_C(7516917516498792203),
    UINT64_C(17291898461659961460), UINT64_C(3483661079725019706),  UINT64_C(18038566855851505564),
    UINT64_C(6166154478921479976),  UINT64_C(8824538844032254328),  UINT64_C(17138720803294251067),
    UINT64_C(4158286797471309733),  UINT64_C(1589482450994236426),  UINT64_C(4836112672767737407),
    UINT64_C(6108317238076822824),  UINT64_C(11174425919404088598), UINT64_C(2755155124184744585),
    UINT64_C(13202523778257173956), UINT64_C(6643835433125335951),  UINT64_C(2748965361441888477),
    UINT64_C(14297205492001640506), UINT64_C(12595977886586773319), UINT64_C(257624298448087449),
    UINT64_C(2744326799038764281),  UINT64_C(9097808034015176417),  UINT64_C(5523099006222423939),
    UINT64_C(7256201493271212720),  UINT64_C(9738621014989498753),  UINT64_C(237412858668409460),
    UINT64_C(6405904454922718574),  UINT64_C(16343835012250148340), UINT64_C(9342245617122491936),
    UINT64_C(824922755340087111),   UINT64_C(5398764608665671277),  UINT64_C(16030622638137836774),
    UINT64_C(4921899302518525668),  UINT64_C(10676667276121395674), UINT64_C(16304445044992359788),
    UINT64_C(587812931475326787),   UINT64_C(7627897473303434798),  UINT64_C(2633542348821978290),
    UINT64_C(5714662808802647771),  UINT64_C(15665352327749112015), UINT64_C(8041781683128153420),
    UINT64_C(13172746155287932121), UINT64_C(6611413049825339003),  UINT64_C(9076340683484238287),
    UINT64_C(12295614633782496176), UINT64_C(11414162089917699064), UINT64_C(13658053783093222498),
    UINT64_C(16216654076620539925), UINT64_C(17782598995085730495), UINT64_C(18362903988365127450),
    UINT64_C(11596821426909532371), UINT64_C(13499421621575350806), UINT64_C(15256312875610823807),
    UINT64_C(1558929959921731273),  UINT64_C(17567284148478398281), UINT64_C(4615393526180652407)};
static const nc_gl nc_gl__poseidon2_diag8[8] = {UINT64_C(18446744069414584319),
                                                UINT64_C(1),
                                                UINT64_C(2),
                                                UINT64_C(9223372034707292161),
                                                UINT64_C(3),
                                                UINT64_C(9223372034707292160),
                                                UINT64_C(18446744069414584318),
                                                UINT64_C(18446744069414584317)};
static const nc_gl nc_gl__poseidon2_diag12[12] = {UINT64_C(18446744069414584319),
                                                  UINT64_C(1),
                                                  UINT64_C(2),
                                                  UINT64_C(9223372034707292161),
                                                  UINT64_C(3),
                                                  UINT64_C(4),
                                                  UINT64_C(9223372034707292160),
                                                  UINT64_C(18446744069414584318),
                                                  UINT64_C(18446744069414584317),
                                                  UINT64_C(13835058052060938241),
                                                  UINT64_C(4611686017353646080),
                                                  UINT64_C(16140901060737761281)};
static const nc_gl nc_gl__poseidon2_diag16[16] = {UINT64_C(18446744069414584319),
                                                  UINT64_C(1),
                                                  UINT64_C(2),
                                                  UINT64_C(9223372034707292161),
                                                  UINT64_C(3),
                                                  UINT64_C(4),
                                                  UINT64_C(9223372034707292160),
                                                  UINT64_C(18446744069414584318),
                                                  UINT64_C(18446744069414584317),
                                                  UINT64_C(16140901060737761281),
                                                  UINT64_C(17293822565076172801),
                                                  UINT64_C(17870283317245378561),
                                                  UINT64_C(2305843008676823040),
                                                  UINT64_C(1152921504338411520),
                                                  UINT64_C(576460752169205760),
                                                  UINT64_C(18446744065119617026)};

/* -- one state -- */

/* circ(2, 3, 1, 1) times four elements. */
static inline void nc_gl__poseidon2_m4(nc_gl__wide t[4], const uint64_t s[4]) {
    uint64_t a = s[0], b = s[1], c = s[2], d = s[3];
    nc_gl__wide ab = nc_gl__wide_add(nc_gl__widen(a), b);
    nc_gl__wide cd = nc_gl__wide_add(nc_gl__widen(c), d), all = nc_gl__wide_sum(ab, cd);
    t[0] = nc_gl__wide_add(nc_gl__wide_sum(all, ab), b); /* 2a + 3b + c + d */
    t[1] = nc_gl__wide_add(nc_gl__wide_add(nc_gl__wide_add(all, b), c), c);
    t[2] = nc_gl__wide_add(nc_gl__wide_sum(all, cd), d); /* a + b + 2c + 3d */
    t[3] = nc_gl__wide_add(nc_gl__wide_add(nc_gl__wide_add(all, d), a), a);
}

/* External layer: that matrix on each four elements, then the sums over all fours are added
 * (Poseidon2 paper, section 5.1). Width 8 is written out. */
static void nc_gl__poseidon2_external8(uint64_t s[8]) {
    nc_gl__wide t[8], a, b, c, d;
    nc_gl__poseidon2_m4(t, s);
    nc_gl__poseidon2_m4(t + 4, s + 4);
    a = nc_gl__wide_sum(t[0], t[4]);
    b = nc_gl__wide_sum(t[1], t[5]);
    c = nc_gl__wide_sum(t[2], t[6]);
    d = nc_gl__wide_sum(t[3], t[7]);
    s[0] = nc_gl__fold(nc_gl__wide_sum(t[0], a));
    s[1] = nc_gl__fold(nc_gl__wide_sum(t[1], b));
    s[2] = nc_gl__fold(nc_gl__wide_sum(t[2], c));
    s[3] = nc_gl__fold(nc_gl__wide_sum(t[3], d));
    s[4] = nc_gl__fold(nc_gl__wide_sum(t[4], a));
    s[5] = nc_gl__fold(nc_gl__wide_sum(t[5], b));
    s[6] = nc_gl__fold(nc_gl__wide_sum(t[6], c));
    s[7] = nc_gl__fold(nc_gl__wide_sum(t[7], d));
}

static void nc_gl__poseidon2_external(uint64_t *s, uint32_t width) {
    nc_gl__wide t[16], sums[4];
    uint32_t i, j;
    if (width == 8) {
        nc_gl__poseidon2_external8(s);
        return;
    }
    memset(sums, 0, sizeof sums);
    for (i = 0; i < width; i += 4) {
        nc_gl__poseidon2_m4(t + i, s + i);
        for (j = 0; j < 4; j++) sums[j] = nc_gl__wide_sum(sums[j], t[i + j]);
    }
    for (i = 0; i < width; i++) s[i] = nc_gl__fold(nc_gl__wide_sum(t[i], sums[i % 4]));
}

/* A full round of either instance up to its linear layer. */
static void nc_gl__sbox_all(uint64_t *s, const nc_gl *constant, uint32_t width) {
    uint32_t i;
    for (i = 0; i < width; i++) s[i] = nc_gl__pow7_lazy(nc_gl__add_lazy(s[i], constant[i]));
}

/* The 22 partial rounds of width 8. Only element 0 goes through the S-box, so everything that does
 * not wait for it is summed beforehand: with x = sbox(s[0] + c) and rest = s[1] + .. + s[7], row i
 * of 1 + diag is d[i] s[i] + rest + x, and row 0, of diagonal -2, is rest - x. The other diagonals
 * are 1, 2, 1/2, 3, -1/2, -3, -4; -k s = k (2^64 - s) - k (2^32 - 1), and 2p keeps it positive. */
static void nc_gl__poseidon2_partial8(uint64_t s[8], const nc_gl *constant) {
    uint64_t x = nc_gl__add_lazy(s[0], constant[0]), a = s[1], b = s[2], c = s[3], d = s[4];
    uint64_t e = s[5], f = s[6], g = s[7], y;
    const nc_gl__wide twice_p = nc_gl__mul_wide(NC_GL_P, 2);
    int round;
    for (round = 0; round < 22; round++) {
        nc_gl__wide ab = nc_gl__wide_add(nc_gl__widen(a), b);
        nc_gl__wide cd = nc_gl__wide_add(nc_gl__widen(c), d);
        nc_gl__wide ef = nc_gl__wide_add(nc_gl__widen(e), f);
        nc_gl__wide rest = nc_gl__wide_add(nc_gl__wide_sum(nc_gl__wide_sum(ab, cd), ef), g),
                    high = nc_gl__wide_sum(rest, twice_p);
        nc_gl__wide ra = nc_gl__wide_add(rest, a),
                    rb = nc_gl__wide_add(nc_gl__wide_add(rest, b), b);
        nc_gl__wide rc = nc_gl__wide_add(rest, nc_gl_halve(c));
        nc_gl__wide rd = nc_gl__wide_sum(rest, nc_gl__mul_wide(d, 3));
        nc_gl__wide re = nc_gl__wide_sub(high, nc_gl_halve(e));
        nc_gl__wide rf = nc_gl__wide_sum(high, nc_gl__mul_wide(~f, 3));
        nc_gl__wide rg = nc_gl__wide_sum(high, nc_gl__mul_wide(~g, 4));
        high = nc_gl__wide_add(high, round < 21 ? constant[round + 1] : 0);
        y = nc_gl__pow7_lazy(x);
        x = nc_gl__fold(nc_gl__wide_sub(high, y)); /* first: the next S-box waits for it */
        a = nc_gl__fold(nc_gl__wide_add(ra, y));
        b = nc_gl__fold(nc_gl__wide_add(rb, y));
        c = nc_gl__fold(nc_gl__wide_add(rc, y));
        d = nc_gl__fold(nc_gl__wide_add(rd, y));
        e = nc_gl__fold(nc_gl__wide_add(re, y));
        f = nc_gl__fold(nc_gl__wide_sub(nc_gl__wide_add(rf, y), 3 * NC_GL__EPSILON - 3));
        g = nc_gl__fold(nc_gl__wide_sub(nc_gl__wide_add(rg, y), 4 * NC_GL__EPSILON - 4));
    }
    s[0] = x;
    s[1] = a, s[2] = b, s[3] = c, s[4] = d, s[5] = e, s[6] = f, s[7] = g;
}

static void nc_gl__poseidon2_partial(uint64_t *s, const nc_gl *constant, const nc_gl *diagonal,
                                     uint32_t width) {
    uint32_t round, i;
    for (round = 0; round < 22; round++) {
        nc_gl__wide sum;
        uint64_t all;
        s[0] = nc_gl__pow7_lazy(nc_gl__add_lazy(s[0], constant[round]));
        sum = nc_gl__widen(s[0]);
        for (i = 1; i < width; i++) sum = nc_gl__wide_add(sum, s[i]);
        all = nc_gl__fold(sum);
        for (i = 0; i < width; i++)
            s[i] = nc_gl__reduce_lazy(nc_gl__wide_add(nc_gl__mul_wide(diagonal[i], s[i]), all));
    }
}

/* Poseidon2 (eprint 2023/323, section 5): the external layer, 4 full rounds, 22 partial ones,
 * 4 full ones; elements stay below 2^64 and become canonical at the end. */
static void nc_gl__poseidon2_one(nc_gl *state, const nc_gl__permutation *p) {
    const nc_gl *constant = p->constant;
    uint32_t round, i;
    nc_gl__poseidon2_external(state, p->width);
    for (round = 0; round < 8; round++) {
        if (round == 4) {
            if (p->width == 8)
                nc_gl__poseidon2_partial8(state, constant);
            else
                nc_gl__poseidon2_partial(state, constant, p->diagonal, p->width);
            constant += 22;
        }
        nc_gl__sbox_all(state, constant, p->width);
        nc_gl__poseidon2_external(state, p->width);
        constant += p->width;
    }
    for (i = 0; i < p->width; i++) state[i] = nc_gl__canonical(state[i]);
}

/* -- many states -- */

#ifdef NC_GL__X86
/* One state in each lane of four vectors. The four are interleaved product by product, or the
 * latency of the S-box would show. s[i] holds element i of all, canonical. */
#define NC_GL__AT(S, i, b) (s[i] + (b)*NC_GL__LANES##S)
#define NC_GL__GET(S, i, b) nc_gl__load##S(NC_GL__AT(S, i, b))
#define NC_GL__PUT(S, i, b, x) nc_gl__store##S(NC_GL__AT(S, i, b), x)
#define NC_GL__EXTERNAL_SUM(S, j)                                                                  \
    NC_GL__PUT(S, i + j, b,                                                                        \
               nc_gl__join_halves##S(NC_GL__PLUS##S(lo[i + j], low[j]),                            \
                                     NC_GL__PLUS##S(hi[i + j], high[j])));
#define NC_GL__FRACTION(S, j, op, k)                                                               \
    NC_GL__PUT(S, j, i, nc_gl__##op##S(sum, nc_gl__mul_2k##S(NC_GL__GET(S, j, i), 96 - k)));

#define NC_GL__WHOLE256(x) (x)
#define NC_GL__WHOLE512(x) (x)
#define NC_GL__WHOLE_ifma nc_gl__canonical512
#define NC_GL__SBOX256 nc_gl__sbox_lanes256
#define NC_GL__SBOX512 (nc_gl__level() == 3 ? nc_gl__sbox_lanes_ifma : nc_gl__sbox_lanes512)
/* By the products of one form: 256, 512 or _ifma. */
#define NC_GL__SBOX_LANES(S, form, attributes)                                                     \
    attributes static NC__NOINLINE void nc_gl__sbox_lanes##form(                                   \
        nc_gl s[][4 * NC_GL__LANES##S], const nc_gl *constant, uint32_t width) {                   \
        uint32_t i, step;                                                                          \
        for (i = 0; i < width; i++) {                                                              \
            const NC_GL__V##S k = nc_gl__set##S(constant[i]);                                      \
            NC_GL__V##S x = nc_gl__add##S(NC_GL__GET(S, i, 0), k), x_n = x;                        \
            NC_GL__V##S y = nc_gl__add##S(NC_GL__GET(S, i, 1), k), y_n = y;                        \
            NC_GL__V##S z = nc_gl__add##S(NC_GL__GET(S, i, 2), k), z_n = z;                        \
            NC_GL__V##S w = nc_gl__add##S(NC_GL__GET(S, i, 3), k), w_n = w;                        \
            for (step = 0; step < 2; step++) { /* x^2 and x^3, then x^4 and x^7 */                 \
                x_n = nc_gl__square##form(x_n), y_n = nc_gl__square##form(y_n);                    \
                z_n = nc_gl__square##form(z_n), w_n = nc_gl__square##form(w_n);                    \
                x = nc_gl__mul##form(x, x_n), y = nc_gl__mul##form(y, y_n);                        \
                z = nc_gl__mul##form(z, z_n), w = nc_gl__mul##form(w, w_n);                        \
            }                                                                                      \
            NC_GL__PUT(S, i, 0, NC_GL__WHOLE##form(x));                                            \
            NC_GL__PUT(S, i, 1, NC_GL__WHOLE##form(y));                                            \
            NC_GL__PUT(S, i, 2, NC_GL__WHOLE##form(z));                                            \
            NC_GL__PUT(S, i, 3, NC_GL__WHOLE##form(w));                                            \
        }                                                                                          \
    }
NC_GL__SBOX_LANES(256, 256, NC_GL__TARGET256)
NC_GL__SBOX_LANES(512, 512, NC_GL__TARGET512)
NC_GL__SBOX_LANES(512, _ifma, NC_GL__TARGET_IFMA)
#undef NC_GL__SBOX_LANES
#undef NC_GL__WHOLE256
#undef NC_GL__WHOLE512
#undef NC_GL__WHOLE_ifma

#define NC_GL__PERMUTE_LANES(S)                                                                    \
    /* lo + 2^32 hi, canonical, for hi < 2^63 */                                                   \
    NC_GL__INLINE##S NC_GL__V##S nc_gl__join_halves##S(NC_GL__V##S lo, NC_GL__V##S hi) {           \
        hi = NC_GL__PLUS##S(hi, nc_gl__high##S(lo));                                               \
        return nc_gl__add##S(NC_GL__JOIN##S(lo, hi),                                               \
                             NC_GL__TIMES##S(nc_gl__high##S(hi), nc_gl__set##S(NC_GL__EPSILON)));  \
    }                                                                                              \
    /* Halves of the elements are summed apart, without a reduction: at most 80 of 32 bits. */     \
    NC_GL__INLINE##S void nc_gl__poseidon2_m4_##S(NC_GL__V##S t[4], NC_GL__V##S sums[4],           \
                                                  NC_GL__V##S x, NC_GL__V##S y, NC_GL__V##S z,     \
                                                  NC_GL__V##S w) {                                 \
        NC_GL__V##S xy = NC_GL__PLUS##S(x, y), zw = NC_GL__PLUS##S(z, w);                          \
        NC_GL__V##S all = NC_GL__PLUS##S(xy, zw), ally = NC_GL__PLUS##S(all, y);                   \
        NC_GL__V##S allw = NC_GL__PLUS##S(all, w);                                                 \
        t[0] = NC_GL__PLUS##S(ally, xy), t[1] = NC_GL__PLUS##S(ally, NC_GL__PLUS##S(z, z));        \
        t[2] = NC_GL__PLUS##S(allw, zw), t[3] = NC_GL__PLUS##S(allw, NC_GL__PLUS##S(x, x));        \
        sums[0] = NC_GL__PLUS##S(sums[0], t[0]), sums[1] = NC_GL__PLUS##S(sums[1], t[1]);          \
        sums[2] = NC_GL__PLUS##S(sums[2], t[2]), sums[3] = NC_GL__PLUS##S(sums[3], t[3]);          \
    }                                                                                              \
    NC_GL__TARGET##S static NC__NOINLINE void nc_gl__poseidon2_external##S(                        \
        nc_gl s[][4 * NC_GL__LANES##S], uint32_t width) {                                          \
        uint32_t i, b;                                                                             \
        for (b = 0; b < 4; b++) {                                                                  \
            NC_GL__V##S lo[16], hi[16], low[4], high[4];                                           \
            low[0] = low[1] = low[2] = low[3] = nc_gl__set##S(0);                                  \
            high[0] = high[1] = high[2] = high[3] = low[0];                                        \
            for (i = 0; i < width; i += 4) {                                                       \
                NC_GL__V##S x = NC_GL__GET(S, i, b), y = NC_GL__GET(S, i + 1, b);                  \
                NC_GL__V##S z = NC_GL__GET(S, i + 2, b), w = NC_GL__GET(S, i + 3, b);              \
                nc_gl__poseidon2_m4_##S(lo + i, low, nc_gl__low##S(x), nc_gl__low##S(y),           \
                                        nc_gl__low##S(z), nc_gl__low##S(w));                       \
                nc_gl__poseidon2_m4_##S(hi + i, high, nc_gl__high##S(x), nc_gl__high##S(y),        \
                                        nc_gl__high##S(z), nc_gl__high##S(w));                     \
            }                                                                                      \
            for (i = 0; i < width; i += 4) {                                                       \
                NC_GL__EXTERNAL_SUM(S, 0)                                                          \
                NC_GL__EXTERNAL_SUM(S, 1) NC_GL__EXTERNAL_SUM(S, 2) NC_GL__EXTERNAL_SUM(S, 3)      \
            }                                                                                      \
        }                                                                                          \
    }                                                                                              \
    /* The sum of elements 1 .. w - 1. As in nc_gl__vec_sum: the wrapping sum and that of the */   \
    /* high halves, and from these the sums of both halves. */                                     \
    NC_GL__INLINE##S NC_GL__V##S nc_gl__sum_lanes##S(nc_gl s[][4 * NC_GL__LANES##S], uint32_t w,   \
                                                     uint32_t b) {                                 \
        NC_GL__V##S all = nc_gl__set##S(0), high = all, low;                                       \
        uint32_t i;                                                                                \
        for (i = 1; i < w; i++) {                                                                  \
            const NC_GL__V##S x = NC_GL__GET(S, i, b);                                             \
            all = NC_GL__PLUS##S(all, x), high = NC_GL__PLUS##S(high, nc_gl__high##S(x));          \
        }                                                                                          \
        low = NC_GL__MINUS##S(all, NC_GL__LEFT##S(high, 32));                                      \
        return nc_gl__join_halves##S(low, high);                                                   \
    }                                                                                              \
    /* Internal layer. Diagonals less 1 are -2, 1, 2, 1/2, 3, 4 (not of width 8), -1/2, -3, */     \
    /* -4 and of width 12 1/4, -1/4, 1/8, of 16 1/8, 1/16, 1/32, -1/8, -1/16, -1/32, 2^-32; a */   \
    /* fraction 2^-k is -2^(96 - k). */                                                            \
    NC_GL__INLINE##S void nc_gl__poseidon2_internal##S(nc_gl s[][4 * NC_GL__LANES##S],             \
                                                       uint32_t w) {                               \
        const uint32_t o = w != 8;                                                                 \
        uint32_t i;                                                                                \
        for (i = 0; i < 4; i++) {                                                                  \
            const NC_GL__V##S x = NC_GL__GET(S, 0, i), rest = nc_gl__sum_lanes##S(s, w, i);        \
            const NC_GL__V##S sum = nc_gl__add##S(rest, x);                                        \
            NC_GL__V##S a;                                                                         \
            NC_GL__PUT(S, 0, i, nc_gl__sub##S(rest, x));                                           \
            NC_GL__PUT(S, 1, i, nc_gl__add##S(sum, NC_GL__GET(S, 1, i)));                          \
            a = NC_GL__GET(S, 2, i);                                                               \
            NC_GL__PUT(S, 2, i, nc_gl__add##S(nc_gl__add##S(sum, a), a));                          \
            NC_GL__PUT(S, 3, i, nc_gl__add##S(sum, nc_gl__halve##S(NC_GL__GET(S, 3, i))));         \
            a = NC_GL__GET(S, 4, i);                                                               \
            NC_GL__PUT(S, 4, i, nc_gl__add##S(nc_gl__add##S(sum, a), nc_gl__add##S(a, a)));        \
            a = NC_GL__GET(S, 5, i);                                                               \
            if (o) NC_GL__PUT(S, 5, i, nc_gl__add##S(sum, nc_gl__mul_2k##S(a, 2)));                \
            a = nc_gl__halve##S(NC_GL__GET(S, 5 + o, i));                                          \
            NC_GL__PUT(S, 5 + o, i, nc_gl__sub##S(sum, a));                                        \
            a = NC_GL__GET(S, 6 + o, i);                                                           \
            NC_GL__PUT(S, 6 + o, i, nc_gl__sub##S(nc_gl__sub##S(sum, a), nc_gl__add##S(a, a)));    \
            a = NC_GL__GET(S, 7 + o, i), a = nc_gl__mul_2k##S(a, 2);                               \
            NC_GL__PUT(S, 7 + o, i, nc_gl__sub##S(sum, a));                                        \
            if (w == 12) {                                                                         \
                NC_GL__FRACTION(S, 9, sub, 2)                                                      \
                NC_GL__FRACTION(S, 10, add, 2) NC_GL__FRACTION(S, 11, sub, 3)                      \
            } else if (w == 16) {                                                                  \
                NC_GL__FRACTION(S, 9, sub, 3)                                                      \
                NC_GL__FRACTION(S, 10, sub, 4)                                                     \
                NC_GL__FRACTION(S, 11, sub, 5)                                                     \
                NC_GL__FRACTION(S, 12, add, 3)                                                     \
                NC_GL__FRACTION(S, 13, add, 4)                                                     \
                NC_GL__FRACTION(S, 14, add, 5) NC_GL__FRACTION(S, 15, sub, 32)                     \
            }                                                                                      \
        }                                                                                          \
    }                                                                                              \
    /* trident's layers: all ones plus a diagonal, null: 1. */                                     \
    NC_GL__INLINE##S void nc_gl__diagonal_layer##S(nc_gl s[][4 * NC_GL__LANES##S],                 \
                                                   const nc_gl *diagonal, uint32_t width) {        \
        uint32_t i, b;                                                                             \
        for (b = 0; b < 4; b++) {                                                                  \
            NC_GL__V##S sum = NC_GL__GET(S, 0, b);                                                 \
            for (i = 1; i < width; i++) sum = nc_gl__add##S(sum, NC_GL__GET(S, i, b));             \
            for (i = 0; i < width; i++) {                                                          \
                NC_GL__V##S x = NC_GL__GET(S, i, b);                                               \
                if (diagonal) x = nc_gl__mul##S(x, nc_gl__set##S(diagonal[i]));                    \
                NC_GL__PUT(S, i, b, nc_gl__add##S(sum, x));                                        \
            }                                                                                      \
        }                                                                                          \
    }                                                                                              \
    /* n <= 4 LANES states one after the other. */                                                 \
    NC_GL__TARGET##S static void nc_gl__poseidon2_lanes##S(nc_gl *states, size_t n,                \
                                                           const nc_gl__permutation *p) {          \
        const nc_gl *constant = p->constant;                                                       \
        const uint32_t w = p->width;                                                               \
        NC_GL__V##S aligned[16][4];                                                                \
        nc_gl(*s)[4 * NC_GL__LANES##S] = (nc_gl(*)[4 * NC_GL__LANES##S]) aligned;                  \
        uint32_t round;                                                                            \
        memset(aligned, 0, sizeof aligned);                                                        \
        nc_gl__turn(s[0], 4 * NC_GL__LANES##S, states, w, n, w);                                   \
        if (!p->trident) nc_gl__poseidon2_external##S(s, w);                                       \
        for (round = 0; round < 30; round++) {                                                     \
            const int partial = round >= 4 && round < 26;                                          \
            NC_GL__SBOX##S(s, constant, partial ? 1 : w);                                          \
            constant += partial ? 1 : w;                                                           \
            if (partial && !p->trident)                                                            \
                nc_gl__poseidon2_internal##S(s, w);                                                \
            else if (partial || p->trident)                                                        \
                nc_gl__diagonal_layer##S(s, partial ? p->diagonal : NULL, w);                      \
            else                                                                                   \
                nc_gl__poseidon2_external##S(s, w);                                                \
        }                                                                                          \
        nc_gl__turn(states, w, s[0], 4 * NC_GL__LANES##S, w, n);                                   \
    }
NC_GL__PERMUTE_LANES(256)
NC_GL__PERMUTE_LANES(512)
#undef NC_GL__PERMUTE_LANES
#undef NC_GL__FRACTION
#undef NC_GL__EXTERNAL_SUM
#undef NC_GL__PUT
#undef NC_GL__GET
#undef NC_GL__AT
#define NC_GL__POSEIDON2_LANES nc_gl__poseidon2_lanes256, nc_gl__poseidon2_lanes512
#else
#define NC_GL__POSEIDON2_LANES NULL, NULL
#endif

NC__COLD_BEGIN

/* n states one after the other on this thread: in lanes as long as enough of them are filled, since
 * a full set of 32 lanes costs what ten Poseidon2 or twenty Tip5 cost alone, one of 16 about 5/8 of
 * that. */
static void nc_gl__permute_block(nc_gl *states, const nc_gl__permutation *p, size_t n) {
    const int level = nc_gl__level();
    const size_t most = level >= 2 ? 32 : 16;
    const size_t fill = level >= 2 ? p->fill : p->fill * 5 / 8;
    size_t i = 0;
    for (; level > 0 && n - i >= fill; i += nc_gl__least(n - i, most)) {
        if (!(level >= 2 ? p->lanes512 : p->lanes256)) break;
        (level >= 2 ? p->lanes512 : p->lanes256)(states + i * p->width, nc_gl__least(n - i, most),
                                                 p);
    }
    for (; i < n; i++) p->one(states + i * p->width, p);
}

/* The same on all threads. */
static void nc_gl__permute_many(nc_gl *states, const nc_gl__permutation *p, size_t count) {
    ptrdiff_t blocks = (ptrdiff_t)(count / 64 + (count % 64 != 0)), k;
#ifdef _OPENMP
#pragma omp parallel for schedule(static) if (blocks >= 4)
#endif
    for (k = 0; k < blocks; k++) {
        size_t at = (size_t)k * 64;
        nc_gl__permute_block(states + at * p->width, p, nc_gl__least(count - at, 64));
    }
}

/* -- by width -- */

static const nc_gl__permutation nc_gl__poseidon2[3] = {
    {8, 11, nc_gl__poseidon2_one, NC_GL__POSEIDON2_LANES, nc_gl__poseidon2_rc8,
     nc_gl__poseidon2_diag8, 0},
    {12, 11, nc_gl__poseidon2_one, NC_GL__POSEIDON2_LANES, nc_gl__poseidon2_rc12,
     nc_gl__poseidon2_diag12, 0},
    {16, 11, nc_gl__poseidon2_one, NC_GL__POSEIDON2_LANES, nc_gl__poseidon2_rc16,
     nc_gl__poseidon2_diag16, 0}};

/* The instance of a width, null for none. */
static const nc_gl__permutation *nc_gl__poseidon2_of(uint32_t width) {
    size_t i;
    for (i = 0; i < sizeof nc_gl__poseidon2 / sizeof *nc_gl__poseidon2; i++)
        if (nc_gl__poseidon2[i].width == width) return &nc_gl__poseidon2[i];
    return NULL;
}

NC_API nc_status nc_gl_poseidon2_permute(nc_gl *state, uint32_t width) {
    const nc_gl__permutation *p = nc_gl__poseidon2_of(width);
    if (!p) return NC_ERR_ARG;
    nc_gl__poseidon2_one(state, p);
    return NC_OK;
}

NC_API nc_status nc_gl_poseidon2_permute_many(nc_gl *states, uint32_t width, size_t count) {
    const nc_gl__permutation *p = nc_gl__poseidon2_of(width);
    if (!p) return NC_ERR_ARG;
    nc_gl__permute_many(states, p, count);
    return NC_OK;
}

NC_API void nc_gl_poseidon2_compress(const nc_gl left[4], const nc_gl right[4], nc_gl digest[4]) {
    nc_gl state[8];
    memcpy(state, left, 4 * sizeof *state);
    memcpy(state + 4, right, 4 * sizeof *state);
    (void)nc_gl_poseidon2_permute(state, 8);
    memcpy(digest, state, 4 * sizeof *digest);
}

NC__COLD_END

/* >>trident ======================================================================== */

NC__WARM_BEGIN

/* First 8 bytes, little-endian, of BLAKE3("Poseidon2-Goldilocks-t8-RF8-RP22-<round>-<element>")
 * mod p: 4 full rounds of 8, 22 partial rounds of 1, 4 full rounds of 8. */
static const nc_gl nc_gl__trident_rc[86] = {
    UINT64_C(5112053732956317697),  UINT64_C(9473458116042918275),  UINT64_C(10509674974000539580),
    UINT64_C(17649578896322650714), UINT64_C(4676733232216740700),  UINT64_C(8354783368006601404),
    UINT64_C(10138633028848232161), UINT64_C(16437060353783668203), UINT64_C(18360095707910039790),
    UINT64_C(8336867609519569230),  UINT64_C(4926963633758351880),  UINT64_C(5260035933000491794),
    UINT64_C(3476630190093866135),  UINT64_C(5625866679009768583),  UINT64_C(8528845028053043751),
    UINT64_C(4603595646162494420),  UINT64_C(6229847923134545385),  UINT64_C(5689928932876659435),
    UINT64_C(8394103725637632273),  UINT64_C(16246099208046105775), UINT64_C(11459621544563647015),
    UINT64_C(10969903960254288490), UINT64_C(2518195555742053435),  UINT64_C(9909095267935466874),
    UINT64_C(14023673830025382740), UINT64_C(14121920984902565505), UINT64_C(4097641314176921713),
    UINT64_C(17738199677859997055), UINT64_C(5912427587627606825),  UINT64_C(14282379239270331892),
    UINT64_C(5457222966685723756),  UINT64_C(12999430844398258507), UINT64_C(3947817468721077627),
    UINT64_C(10600188801994782485), UINT64_C(3877028821823860198),  UINT64_C(7775096123913438461),
    UINT64_C(12010869415468146841), UINT64_C(16589410095207384663), UINT64_C(4047360581237821885),
    UINT64_C(2778797917901753573),  UINT64_C(5542059168689196864),  UINT64_C(16257271287528972260),
    UINT64_C(14828929226268927700), UINT64_C(17769104411862892639), UINT64_C(13062219995286087020),
    UINT64_C(9042522200754645292),  UINT64_C(6431223278919660715),  UINT64_C(4066719834037882788),
    UINT64_C(9453917517041397167),  UINT64_C(12079232464483056018), UINT64_C(713472711102401477),
    UINT64_C(8061670145055072382),  UINT64_C(4779630904164538005),  UINT64_C(7165782427231800930),
    UINT64_C(16936887576087672702), UINT64_C(17332244640078539718), UINT64_C(8061279563104957553),
    UINT64_C(5269686620889695599),  UINT64_C(15286155157547816567), UINT64_C(6457301101363685488),
    UINT64_C(14217024426513498286), UINT64_C(10504820015760914800), UINT64_C(13021914642628566138),
    UINT64_C(14861689880082590633), UINT64_C(14646556542223768775), UINT64_C(32346361620442563),
    UINT64_C(12162887057595177814), UINT64_C(5326931431780989541),  UINT64_C(11693389311093287677),
    UINT64_C(7210745005813644719),  UINT64_C(14552266788863451401), UINT64_C(7573975670554093337),
    UINT64_C(7191682017606712640),  UINT64_C(17969919805851795096), UINT64_C(1280298733489777597),
    UINT64_C(13303957203066764644), UINT64_C(5493739790208916523),  UINT64_C(1497251064115650654),
    UINT64_C(9425457378657564335),  UINT64_C(398054724767989697),   UINT64_C(7072143680536865467),
    UINT64_C(17016014310720353563), UINT64_C(867404013202565566),   UINT64_C(15795053546084681558),
    UINT64_C(6035215656416074778),  UINT64_C(2618977002729543425)};
static const nc_gl nc_gl__trident_diag[8] = {2, 3, 5, 9, 17, 33, 65, 129};

/* External layer of the trident instance: s[i] += sum of all. */
static void nc_gl__trident_full(uint64_t s[8], const nc_gl *constant) {
    nc_gl__wide ab, cd, ef, gh, sum;
    int i;
    nc_gl__sbox_all(s, constant, 8);
    ab = nc_gl__wide_add(nc_gl__widen(s[0]), s[1]);
    cd = nc_gl__wide_add(nc_gl__widen(s[2]), s[3]);
    ef = nc_gl__wide_add(nc_gl__widen(s[4]), s[5]);
    gh = nc_gl__wide_add(nc_gl__widen(s[6]), s[7]);
    sum = nc_gl__wide_sum(nc_gl__wide_sum(ab, cd), nc_gl__wide_sum(ef, gh));
    for (i = 0; i < 8; i++) s[i] = nc_gl__fold(nc_gl__wide_add(sum, s[i]));
}

/* The partial rounds as in nc_gl__poseidon2_partial8, with diagonals 2, 3, 5, 9 .. 129. */
static void nc_gl__trident_partial(uint64_t s[8], const nc_gl *constant) {
    uint64_t x = nc_gl__add_lazy(s[0], constant[0]), a = s[1], b = s[2], c = s[3], d = s[4];
    uint64_t e = s[5], f = s[6], g = s[7], y;
    int round;
    for (round = 0; round < 22; round++) {
        nc_gl__wide ab = nc_gl__wide_add(nc_gl__widen(a), b);
        nc_gl__wide cd = nc_gl__wide_add(nc_gl__widen(c), d);
        nc_gl__wide ef = nc_gl__wide_add(nc_gl__widen(e), f);
        nc_gl__wide rest = nc_gl__wide_add(nc_gl__wide_sum(nc_gl__wide_sum(ab, cd), ef), g);
        nc_gl__wide ra = nc_gl__wide_sum(rest, nc_gl__mul_wide(a, 3));
        nc_gl__wide rb = nc_gl__wide_sum(rest, nc_gl__mul_wide(b, 5));
        nc_gl__wide rc = nc_gl__wide_sum(rest, nc_gl__mul_wide(c, 9));
        nc_gl__wide rd = nc_gl__wide_sum(rest, nc_gl__mul_wide(d, 17));
        nc_gl__wide re = nc_gl__wide_sum(rest, nc_gl__mul_wide(e, 33));
        nc_gl__wide rf = nc_gl__wide_sum(rest, nc_gl__mul_wide(f, 65));
        nc_gl__wide rg = nc_gl__wide_sum(rest, nc_gl__mul_wide(g, 129));
        rest = nc_gl__wide_add(rest, round < 21 ? constant[round + 1] : 0);
        y = nc_gl__pow7_lazy(x);
        x = nc_gl__fold(nc_gl__wide_sum(rest, nc_gl__mul_wide(y, 3))); /* (2 + 1) y + rest */
        a = nc_gl__fold(nc_gl__wide_add(ra, y));
        b = nc_gl__fold(nc_gl__wide_add(rb, y));
        c = nc_gl__fold(nc_gl__wide_add(rc, y));
        d = nc_gl__fold(nc_gl__wide_add(rd, y));
        e = nc_gl__fold(nc_gl__wide_add(re, y));
        f = nc_gl__fold(nc_gl__wide_add(rf, y));
        g = nc_gl__fold(nc_gl__wide_add(rg, y));
    }
    s[0] = x;
    s[1] = a, s[2] = b, s[3] = c, s[4] = d, s[5] = e, s[6] = f, s[7] = g;
}

static void nc_gl__trident_one(nc_gl *state, const nc_gl__permutation *p) {
    const nc_gl *constant = p->constant;
    int round, i;
    for (round = 0; round < 4; round++) nc_gl__trident_full(state, constant + 8 * round);
    nc_gl__trident_partial(state, constant + 32);
    for (round = 4; round < 8; round++) nc_gl__trident_full(state, constant + 22 + 8 * round);
    for (i = 0; i < 8; i++) state[i] = nc_gl__canonical(state[i]);
}

static const nc_gl__permutation nc_gl__trident = {
    8, 11, nc_gl__trident_one, NC_GL__POSEIDON2_LANES, nc_gl__trident_rc, nc_gl__trident_diag, 1};

NC_API void nc_gl_trident_permute(nc_gl state[8]) { nc_gl__trident_one(state, &nc_gl__trident); }

NC_API void nc_gl_trident_permute_many(nc_gl *states, size_t count) {
    nc_gl__permute_many(states, &nc_gl__trident, count);
}

/* -- the sponge -- */

static void nc_gl__trident_absorb(nc_gl_trident *sponge, nc_gl value) {
    if (sponge->position == 4) { /* only when more follows: a full block may be the last */
        nc_gl_trident_permute(sponge->state);
        sponge->position = 0;
    }
    sponge->state[sponge->position] = nc_gl_add(sponge->state[sponge->position], value);
    sponge->position++;
}

NC_API void nc_gl_trident_init(nc_gl_trident *sponge) { memset(sponge, 0, sizeof *sponge); }

NC_API void nc_gl_trident_update(nc_gl_trident *sponge, const void *data, size_t n) {
    const uint8_t *bytes = (const uint8_t *)data;
    size_t i;
    for (i = 0; i < n; i++) {
        sponge->chunk |= (uint64_t)bytes[i] << (8 * sponge->pending);
        if (++sponge->pending == 7) {
            nc_gl__trident_absorb(sponge, sponge->chunk);
            sponge->chunk = 0;
            sponge->pending = 0;
        }
    }
    sponge->length += n;
}

NC__COLD_BEGIN

static void nc_gl__trident_squeeze(nc_gl_trident *sponge, nc_gl digest[4]) {
    nc_gl_trident_permute(sponge->state);
    memcpy(digest, sponge->state, 4 * sizeof *digest);
}

NC_API void nc_gl_trident_finish(nc_gl_trident *sponge, nc_gl digest[4]) {
    if (sponge->pending) nc_gl__trident_absorb(sponge, sponge->chunk);
    nc_gl__trident_absorb(sponge, nc_gl_from_u64(sponge->length));
    nc_gl__trident_squeeze(sponge, digest);
}

NC_API void nc_gl_trident_hash_bytes(const void *data, size_t n, nc_gl digest[4]) {
    nc_gl_trident sponge;
    nc_gl_trident_init(&sponge);
    nc_gl_trident_update(&sponge, data, n);
    nc_gl_trident_finish(&sponge, digest);
}

NC_API void nc_gl_trident_hash_fields(const nc_gl *fields, size_t n, nc_gl digest[4]) {
    nc_gl_trident sponge;
    size_t i;
    nc_gl_trident_init(&sponge);
    for (i = 0; i < n; i++) nc_gl__trident_absorb(&sponge, fields[i]);
    nc_gl__trident_squeeze(&sponge, digest);
}

NC__COLD_END

NC__WARM_END

/* >>tip5 =========================================================================== */

static const nc_gl nc_gl__tip5_rc[80] = {
    UINT64_C(13630775303355457758), UINT64_C(16896927574093233874), UINT64_C(10379449653650130495),
    UINT64_C(1965408364413093495),  UINT64_C(15232538947090185111), UINT64_C(15892634398091747074),
    UINT64_C(3989134140024871768),  UINT64_C(2851411912127730865),  UINT64_C(8709136439293758776),
    UINT64_C(3694858669662939734),  UINT64_C(12692440244315327141), UINT64_C(10722316166358076749),
    UINT64_C(12745429320441639448), UINT64_C(17932424223723990421), UINT64_C(7558102534867937463),
    UINT64_C(15551047435855531404), UINT64_C(17532528648579384106), UINT64_C(5216785850422679555),
    UINT64_C(15418071332095031847), UINT64_C(11921929762955146258), UINT64_C(9738718993677019874),
    UINT64_C(3464580399432997147),  UINT64_C(13408434769117164050), UINT64_C(264428218649616431),
    UINT64_C(4436247869008081381),  UINT64_C(4063129435850804221),  UINT64_C(2865073155741120117),
    UINT64_C(5749834437609765994),  UINT64_C(6804196764189408435),  UINT64_C(17060469201292988508),
    UINT64_C(9475383556737206708),  UINT64_C(12876344085611465020), UINT64_C(13835756199368269249),
    UINT64_C(1648753455944344172),  UINT64_C(9836124473569258483),  UINT64_C(12867641597107932229),
    UINT64_C(11254152636692960595), UINT64_C(16550832737139861108), UINT64_C(11861573970480733262),
    UINT64_C(1256660473588673495),  UINT64_C(13879506000676455136), UINT64_C(10564103842682358721),
    UINT64_C(16142842524796397521), UINT64_C(3287098591948630584),  UINT64_C(685911471061284805),
    UINT64_C(5285298776918878023),  UINT64_C(18310953571768047354), UINT64_C(3142266350630002035),
    UINT64_C(549990724933663297),   UINT64_C(4901984846118077401),  UINT64_C(11458643033696775769),
    UINT64_C(8706785264119212710),  UINT64_C(12521758138015724072), UINT64_C(11877914062416978196),
    UINT64_C(11333318251134523752), UINT64_C(3933899631278608623),  UINT64_C(16635128972021157924),
    UINT64_C(10291337173108950450), UINT64_C(4142107155024199350),  UINT64_C(16973934533787743537),
    UINT64_C(11068111539125175221), UINT64_C(17546769694830203606), UINT64_C(5315217744825068993),
    UINT64_C(4609594252909613081),  UINT64_C(3350107164315270407),  UINT64_C(17715942834299349177),
    UINT64_C(9600609149219873996),  UINT64_C(12894357635820003949), UINT64_C(4597649658040514631),
    UINT64_C(7735563950920491847),  UINT64_C(1663379455870887181),  UINT64_C(13889298103638829706),
    UINT64_C(7375530351220884434),  UINT64_C(3502022433285269151),  UINT64_C(9231805330431056952),
    UINT64_C(9252272755288523725),  UINT64_C(10014268662326746219), UINT64_C(15565031632950843234),
    UINT64_C(1209725273521819323),  UINT64_C(6024642864597845108)};

/* The circulant matrix of m = {61402, 1108, 28750, 33823, 7454, 43244, 53865, 12034, 56951, 27521,
 * 41351, 40901, 12021, 59689, 26798, 17845}, out[i] = sum_j m[i - j] s[j] with indices modulo 16,
 * by halves: sums and differences of out[i] and out[i + 8] are products of a circulant and a
 * negacyclic matrix of 8 rows with the sums and differences of s[j] and s[j + 8]; the sums once
 * more. Row i of each has the coefficient w[i - j] at place j; what the halves must be divided by
 * is in it already. The three matrices: (m[i] - m[i + 8]) / 2, the same of e[i] = m[i] + m[i + 8]
 * over 4, and (e[i] + e[i + 4]) / 4; w goes from place n - 1 of row 0 to place 0 of row n - 1. */
static const double nc_gl__tip5_differences8[15] = {13206.5,  6300.5,  3539.0,  2283.5,   8222.5,
                                                    -13533.5, 2905.5,  2225.5,  -13206.5, -6300.5,
                                                    -3539.0,  -2283.5, -8222.5, 13533.5,  -2905.5};
static const double nc_gl__tip5_differences4[7] = {18576.0,  2640.5,  -11211.25, 24719.5,
                                                   -18576.0, -2640.5, 11211.25};
static const double nc_gl__tip5_sums4[7] = {32890.5, 37691.0, 26150.75, 34457.0,
                                            32890.5, 37691.0, 26150.75};
enum { NC_GL__TIP5_ROW = 524757 }; /* the sum of m */

/* The lookup b -> (b+1)^3 - 1 mod 257, a permutation of 0..255 (Tip5 paper, section 3.2). */
static const uint8_t nc_gl__tip5_lookup[256] = {
    0,   7,   26,  63,  124, 215, 85,  254, 214, 228, 45,  185, 140, 173, 33,  240, 29,  177, 176,
    32,  8,   110, 87,  202, 204, 99,  150, 106, 230, 14,  235, 128, 213, 239, 212, 138, 23,  130,
    208, 6,   44,  71,  93,  116, 146, 189, 251, 81,  199, 97,  38,  28,  73,  179, 95,  84,  152,
    48,  35,  119, 49,  88,  242, 3,   148, 169, 72,  120, 62,  161, 166, 83,  175, 191, 137, 19,
    100, 129, 112, 55,  221, 102, 218, 61,  151, 237, 68,  164, 17,  147, 46,  234, 203, 216, 22,
    141, 65,  57,  123, 12,  244, 54,  219, 231, 96,  77,  180, 154, 5,   253, 133, 165, 98,  195,
    205, 134, 245, 30,  9,   188, 59,  142, 186, 197, 181, 144, 92,  31,  224, 163, 111, 74,  58,
    69,  113, 196, 67,  246, 225, 10,  121, 50,  60,  157, 90,  122, 2,   250, 101, 75,  178, 159,
    24,  36,  201, 11,  243, 132, 198, 190, 114, 233, 39,  52,  21,  209, 108, 238, 91,  187, 18,
    104, 194, 37,  153, 34,  200, 143, 126, 155, 236, 118, 64,  80,  172, 89,  94,  193, 135, 183,
    86,  107, 252, 13,  167, 206, 136, 220, 207, 103, 171, 160, 76,  182, 227, 217, 158, 56,  174,
    4,   66,  109, 139, 162, 184, 211, 249, 47,  125, 232, 117, 43,  16,  42,  127, 20,  241, 25,
    149, 105, 156, 51,  53,  168, 145, 247, 223, 79,  78,  226, 15,  222, 82,  115, 70,  210, 27,
    41,  1,   170, 40,  131, 192, 229, 248, 255,
};

/* Split-and-lookup on the Montgomery form x 2^64: 2^64 = 2^32 - 1 in, its inverse -2^32 out. */
static nc_gl nc_gl__tip5_split(nc_gl x, uint16_t *limbs) {
    uint64_t in = nc_gl_mul(x, NC_GL__EPSILON), out = 0;
    int i;
    for (i = 0; limbs && i < 4; i++) limbs[i] = (uint16_t)(in >> (16 * i));
    for (i = 0; i < 64; i += 8) out |= (uint64_t)nc_gl__tip5_lookup[(in >> i) & 255] << i;
    return nc_gl_mul(nc_gl_from_u64(out), NC_GL_P - (NC_GL__EPSILON + 1));
}

/* The linear layer and the round's constants. 32-bit halves of the elements go through the matrix
 * as doubles, less 2^31, which 2^31 times the sum of a row brings back: the partial sums stay below
 * 2^51 in magnitude, and as multiples of 1/4 they are exact. The results less than 2^52 are whole.
 * */
#define NC_GL__TIP5_FOLD(S, h)                                                                     \
    {                                                                                              \
        NC_GL__D##S ac = NC_GL__PLUS_REAL##S(a[h], c[h]), bd = NC_GL__PLUS_REAL##S(b[h], d[h]);    \
        x[0][h] = NC_GL__PLUS_REAL##S(ac, bd), x[4][h] = NC_GL__MINUS_REAL##S(ac, bd);             \
        x[8][h] = NC_GL__MINUS_REAL##S(a[h], c[h]), x[12][h] = NC_GL__MINUS_REAL##S(b[h], d[h]);   \
    }
#define NC_GL__TIP5_UNFOLD(S, i, op, t, d)                                                         \
    nc_gl__store##S(s + i * step,                                                                  \
                    nc_gl__tip5_join##S(NC_GL__##op##_REAL##S(t[0], y[d][0]),                      \
                                        NC_GL__##op##_REAL##S(t[1], y[d][1]), rc[i]));
#define NC_GL__TIP5_MDS(S)                                                                         \
    /* n rows of two columns: the halves */                                                        \
    NC_GL__TARGET##S static NC__NOINLINE void nc_gl__tip5_band##S(                                 \
        NC_GL__D##S(*out)[2], NC_GL__D##S(*in)[2], const double *w, size_t n) {                    \
        size_t i, j;                                                                               \
        for (i = 0; i < n; i += 4, w += 4) {                                                       \
            NC_GL__D##S a0 = nc_gl__real##S(0), a1 = a0, a2 = a0, a3 = a0;                         \
            NC_GL__D##S b0 = a0, b1 = a0, b2 = a0, b3 = a0;                                        \
            for (j = 0; j < n; j++) {                                                              \
                NC_GL__D##S x = in[j][0], y = in[j][1], f = nc_gl__real##S(w[n - 1 - j]);          \
                NC_GL__HOLD##S(x) NC_GL__HOLD##S(y) a0 = nc_gl__fma##S(f, x, a0),                  \
                                                    b0 = nc_gl__fma##S(f, y, b0);                  \
                f = nc_gl__real##S(w[n - j]);                                                      \
                a1 = nc_gl__fma##S(f, x, a1), b1 = nc_gl__fma##S(f, y, b1);                        \
                f = nc_gl__real##S(w[n + 1 - j]);                                                  \
                a2 = nc_gl__fma##S(f, x, a2), b2 = nc_gl__fma##S(f, y, b2);                        \
                f = nc_gl__real##S(w[n + 2 - j]);                                                  \
                a3 = nc_gl__fma##S(f, x, a3), b3 = nc_gl__fma##S(f, y, b3);                        \
            }                                                                                      \
            out[i][0] = a0, out[i][1] = b0, out[i + 1][0] = a1, out[i + 1][1] = b1;                \
            out[i + 2][0] = a2, out[i + 2][1] = b2, out[i + 3][0] = a3, out[i + 3][1] = b3;        \
        }                                                                                          \
    }                                                                                              \
    /* Elements 0, 4, 8, 12 from s on: sums and differences with the one 8 further on, of the */   \
    /* sums again with the one 4 further on. */                                                    \
    NC_GL__INLINE##S void nc_gl__tip5_fold##S(NC_GL__D##S(*x)[2], const nc_gl *s, size_t step) {   \
        NC_GL__D##S a[2], b[2], c[2], d[2];                                                        \
        nc_gl__tip5_halves##S(nc_gl__load##S(s), &a[0], &a[1]);                                    \
        nc_gl__tip5_halves##S(nc_gl__load##S(s + 4 * step), &b[0], &b[1]);                         \
        nc_gl__tip5_halves##S(nc_gl__load##S(s + 8 * step), &c[0], &c[1]);                         \
        nc_gl__tip5_halves##S(nc_gl__load##S(s + 12 * step), &d[0], &d[1]);                        \
        NC_GL__TIP5_FOLD(S, 0) NC_GL__TIP5_FOLD(S, 1)                                              \
    }                                                                                              \
    /* The same back, and the constants. */                                                        \
    NC_GL__INLINE##S void nc_gl__tip5_unfold##S(nc_gl *s, size_t step, NC_GL__D##S(*y)[2],         \
                                                const nc_gl *rc) {                                 \
        NC_GL__D##S a[2], b[2];                                                                    \
        a[0] = NC_GL__PLUS_REAL##S(y[0][0], y[4][0]),                                              \
        a[1] = NC_GL__PLUS_REAL##S(y[0][1], y[4][1]);                                              \
        b[0] = NC_GL__MINUS_REAL##S(y[0][0], y[4][0]);                                             \
        b[1] = NC_GL__MINUS_REAL##S(y[0][1], y[4][1]);                                             \
        NC_GL__TIP5_UNFOLD(S, 0, PLUS, a, 8)                                                       \
        NC_GL__TIP5_UNFOLD(S, 4, PLUS, b, 12)                                                      \
        NC_GL__TIP5_UNFOLD(S, 8, MINUS, a, 8) NC_GL__TIP5_UNFOLD(S, 12, MINUS, b, 12)              \
    }                                                                                              \
    /* Elements step apart. */                                                                     \
    NC_GL__TARGET##S static NC__NOINLINE void nc_gl__tip5_mds##S(nc_gl *s, size_t step,            \
                                                                 const nc_gl *rc) {                \
        NC_GL__D##S x[16][2], y[16][2];                                                            \
        size_t i;                                                                                  \
        for (i = 0; i < 4; i++) nc_gl__tip5_fold##S(x + i, s + i * step, step);                    \
        nc_gl__tip5_band##S(y, x, nc_gl__tip5_sums4, 4);                                           \
        nc_gl__tip5_band##S(y + 4, x + 4, nc_gl__tip5_differences4, 4);                            \
        nc_gl__tip5_band##S(y + 8, x + 8, nc_gl__tip5_differences8, 8);                            \
        for (i = 0; i < 4; i++) nc_gl__tip5_unfold##S(s + i * step, step, y + i, rc + i);          \
    }

#define NC_GL__D64 double
#define NC_GL__PLUS_REAL64(a, b) ((a) + (b))
#define NC_GL__MINUS_REAL64(a, b) ((a) - (b))
NC_GL__INLINE64 double nc_gl__real64(double x) { return x; }
NC_GL__INLINE64 double nc_gl__fma64(double a, double b, double c) { return a * b + c; } /* exact */
NC_GL__INLINE64 void nc_gl__tip5_halves64(nc_gl x, double *lo, double *hi) {
    *lo = (double)(int64_t)(x & NC_GL__EPSILON) - 2147483648.0;
    *hi = (double)(int64_t)(x >> 32) - 2147483648.0;
}
NC_GL__INLINE64 nc_gl nc_gl__tip5_join64(double lo, double hi, nc_gl rc) {
    const uint64_t up = (uint64_t)NC_GL__TIP5_ROW << 31;
    const uint64_t l = (uint64_t)(int64_t)lo + up, h = (uint64_t)(int64_t)hi + up;
    return nc_gl__reduce(
        nc_gl__wide_add(nc_gl__wide_add(nc_gl__wide_make(h >> 32, h << 32), l), rc));
}
NC_GL__TIP5_MDS(64)

static void nc_gl__tip5_rounds(nc_gl state[16], uint16_t *limbs) {
    int round, i;
    for (round = 0; round < 5; round++) {
        for (i = 0; i < 4; i++)
            state[i] = nc_gl__tip5_split(state[i], limbs ? limbs + 16 * round + 4 * i : NULL);
        for (i = 4; i < 16; i++) state[i] = nc_gl__pow7(state[i]);
        nc_gl__tip5_mds64(state, 1, nc_gl__tip5_rc + 16 * round);
    }
}

#ifdef NC_GL__X86
#define NC_GL__TIP5(S)                                                                             \
    /* The lookup L(b) = (b+1)^3 - 1 mod 257 is computed, not looked up, in 16-bit lanes: */       \
    /* with c = b + 1 taken in [-128, 128], c^2 <= 16384 leaves r = c^2 mod 257 in [-64, 255] */   \
    /* by 256 = -1, and |r c| < 2^15 leaves one in [-127, 383]; no multiple of 257 is among */     \
    /* them. */                                                                                    \
    NC_GL__INLINE##S NC_GL__V##S nc_gl__tip5_bytes##S(NC_GL__V##S b) {                             \
        const NC_GL__V##S one = nc_gl__words##S(1), low = nc_gl__words##S(255);                    \
        NC_GL__V##S m = nc_gl__above_words##S(b, nc_gl__words##S(127), nc_gl__words##S(257));      \
        NC_GL__V##S c = NC_GL__MINUS_WORDS##S(NC_GL__PLUS_WORDS##S(b, one), m), r;                 \
        r = NC_GL__TIMES_WORDS##S(c, c);                                                           \
        r = NC_GL__MINUS_WORDS##S(NC_GL__AND##S(r, low), NC_GL__RIGHT_WORDS##S(r, 8));             \
        r = NC_GL__TIMES_WORDS##S(r, c);                                                           \
        r = NC_GL__MINUS_WORDS##S(NC_GL__AND##S(r, low), NC_GL__RIGHT_SIGNED##S(r, 8));            \
        r = NC_GL__MINUS_WORDS##S(r, one);                                                         \
        return NC_GL__MINUS_WORDS##S(NC_GL__AND##S(r, low), NC_GL__RIGHT_SIGNED##S(r, 8));         \
    }                                                                                              \
    /* nc_gl__tip5_split of each lane: times 2^64, the bytes, times -2^32. */                      \
    NC_GL__INLINE##S NC_GL__V##S nc_gl__tip5_split##S(NC_GL__V##S x) {                             \
        NC_GL__V##S in = nc_gl__mul_2k##S(x, 64);                                                  \
        NC_GL__V##S lo = nc_gl__tip5_bytes##S(NC_GL__AND##S(in, nc_gl__words##S(255)));            \
        NC_GL__V##S hi = nc_gl__tip5_bytes##S(NC_GL__RIGHT_WORDS##S(in, 8));                       \
        NC_GL__V##S out = NC_GL__PLUS##S(lo, NC_GL__LEFT##S(hi, 8));                               \
        return nc_gl__sub##S(nc_gl__set##S(0), nc_gl__mul_2k##S(out, 32));                         \
    }                                                                                              \
    /* The bits of x + 2^52 are those of 2^52 and, below them, of x < 2^52. */                     \
    NC_GL__INLINE##S void nc_gl__tip5_halves##S(NC_GL__V##S x, NC_GL__D##S *lo, NC_GL__D##S *hi) { \
        const NC_GL__V##S exponent = nc_gl__set##S(UINT64_C(1075) << 52);                          \
        const NC_GL__D##S less = nc_gl__real##S(4503599627370496.0 + 2147483648.0);                \
        *lo = NC_GL__REAL##S(NC_GL__PLUS##S(nc_gl__low##S(x), exponent));                          \
        *hi = NC_GL__REAL##S(NC_GL__PLUS##S(nc_gl__high##S(x), exponent));                         \
        *lo = NC_GL__MINUS_REAL##S(*lo, less), *hi = NC_GL__MINUS_REAL##S(*hi, less);              \
    }                                                                                              \
    /* The same upwards for results and the halves of a constant. */                               \
    NC_GL__INLINE##S NC_GL__V##S nc_gl__tip5_join_halves##S(                                       \
        NC_GL__D##S lo, NC_GL__D##S hi, NC_GL__V##S rc_lo, NC_GL__V##S rc_hi) {                    \
        const uint64_t exponent = UINT64_C(1075) << 52, up = (uint64_t)NC_GL__TIP5_ROW << 31;      \
        const NC_GL__V##S from = nc_gl__set##S(exponent + up);                                     \
        NC_GL__D##S up_lo = NC_GL__REAL##S(NC_GL__PLUS##S(rc_lo, from));                           \
        NC_GL__D##S up_hi = NC_GL__REAL##S(NC_GL__PLUS##S(rc_hi, from));                           \
        NC_GL__V##S l = NC_GL__BITS##S(NC_GL__PLUS_REAL##S(lo, up_lo));                            \
        NC_GL__V##S h = NC_GL__BITS##S(NC_GL__PLUS_REAL##S(hi, up_hi));                            \
        NC_GL__V##S top, all = NC_GL__MINUS##S(NC_GL__PLUS##S(h, nc_gl__high##S(l)),               \
                                               nc_gl__set##S(exponent + (exponent >> 32)));        \
        top = NC_GL__TIMES##S(nc_gl__high##S(all), nc_gl__set##S(NC_GL__EPSILON));                 \
        return nc_gl__add##S(NC_GL__JOIN##S(l, all), top);                                         \
    }                                                                                              \
    NC_GL__INLINE##S NC_GL__V##S nc_gl__tip5_join##S(NC_GL__D##S lo, NC_GL__D##S hi, nc_gl rc) {   \
        return nc_gl__tip5_join_halves##S(lo, hi, nc_gl__set##S(rc & NC_GL__EPSILON),              \
                                          nc_gl__set##S(rc >> 32));                                \
    }                                                                                              \
    NC_GL__TIP5_MDS(S)                                                                             \
    /* n <= 4 LANES states one after the other. */                                                 \
    NC_GL__TARGET##S static void nc_gl__tip5_lanes##S(nc_gl *states, size_t n,                     \
                                                      const nc_gl__permutation *p) {               \
        enum { W = NC_GL__LANES##S };                                                              \
        static const nc_gl zeros[16] = {0};                                                        \
        NC_GL__V##S aligned[16][4];                                                                \
        nc_gl(*s)[4 * W] = (nc_gl(*)[4 * W]) aligned;                                              \
        uint32_t round, i, b;                                                                      \
        (void)p;                                                                                   \
        memset(aligned, 0, sizeof aligned);                                                        \
        nc_gl__turn(s[0], 4 * W, states, 16, n, 16);                                               \
        for (round = 0; round < 5; round++) {                                                      \
            for (i = 0; i < 4; i++)                                                                \
                for (b = 0; b < 4; b++)                                                            \
                    nc_gl__store##S(s[i] + W * b,                                                  \
                                    nc_gl__tip5_split##S(nc_gl__load##S(s[i] + W * b)));           \
            NC_GL__SBOX##S(s + 4, zeros, 12);                                                      \
            for (b = 0; b < 4; b++)                                                                \
                nc_gl__tip5_mds##S(s[0] + W * b, 4 * W, nc_gl__tip5_rc + 16 * round);              \
        }                                                                                          \
        nc_gl__turn(states, 16, s[0], 4 * W, 16, n);                                               \
    }
NC_GL__TIP5(256)
NC_GL__TIP5(512)
#undef NC_GL__TIP5

/* The matrix of the sums of s[j] and s[j + 8], by 8 rows: (m[i] + m[i + 8]) / 2. */
static const double nc_gl__tip5_sums8[15] = {14314.5, 35050.5, 37362.0, 9737.5,  51466.5,
                                             40331.5, 14939.5, 59176.5, 14314.5, 35050.5,
                                             37362.0, 9737.5,  51466.5, 40331.5, 14939.5};

/* Eight rows, both halves, of a product with in[j] in place j: row i, column j has w[7 + i - j]. */
NC_GL__INLINE256 void nc_gl__tip5_columns256(__m256d lo[2], __m256d hi[2], const double in[2][8],
                                             const double *w) {
    size_t j;
    lo[0] = lo[1] = hi[0] = hi[1] = nc_gl__real256(0);
    for (j = 0; j < 8; j++) {
        const __m256d x = nc_gl__real256(in[0][j]), y = nc_gl__real256(in[1][j]);
        const __m256d f = _mm256_loadu_pd(w + 7 - j), g = _mm256_loadu_pd(w + 11 - j);
        lo[0] = nc_gl__fma256(f, x, lo[0]), lo[1] = nc_gl__fma256(g, x, lo[1]);
        hi[0] = nc_gl__fma256(f, y, hi[0]), hi[1] = nc_gl__fma256(g, y, hi[1]);
    }
}

/* nc_gl__tip5_mds of one state, the elements side by side: rows of the matrix in the lanes. */
NC_GL__INLINE256 void nc_gl__tip5_mds_one256(__m256i s[4], const nc_gl *rc) {
    __m256d lo[4], hi[4], sums[2][2], differences[2][2];
    double sum[2][8], difference[2][8];
    size_t i;
    for (i = 0; i < 4; i++) nc_gl__tip5_halves256(s[i], &lo[i], &hi[i]);
    for (i = 0; i < 2; i++) {
        _mm256_storeu_pd(sum[0] + 4 * i, _mm256_add_pd(lo[i], lo[i + 2]));
        _mm256_storeu_pd(sum[1] + 4 * i, _mm256_add_pd(hi[i], hi[i + 2]));
        _mm256_storeu_pd(difference[0] + 4 * i, _mm256_sub_pd(lo[i], lo[i + 2]));
        _mm256_storeu_pd(difference[1] + 4 * i, _mm256_sub_pd(hi[i], hi[i + 2]));
    }
    nc_gl__tip5_columns256(sums[0], sums[1], (const double(*)[8])sum, nc_gl__tip5_sums8);
    nc_gl__tip5_columns256(differences[0], differences[1], (const double(*)[8])difference,
                           nc_gl__tip5_differences8);
    for (i = 0; i < 4; i++) {
        const __m256i k = nc_gl__load256(rc + 4 * i);
        const __m256d l = sums[0][i % 2], h = sums[1][i % 2];
        const __m256d l8 = differences[0][i % 2], h8 = differences[1][i % 2];
        s[i] = nc_gl__tip5_join_halves256(i < 2 ? _mm256_add_pd(l, l8) : _mm256_sub_pd(l, l8),
                                          i < 2 ? _mm256_add_pd(h, h8) : _mm256_sub_pd(h, h8),
                                          nc_gl__low256(k), nc_gl__high256(k));
    }
}

NC_GL__TARGET256 static void nc_gl__tip5_one256(nc_gl *state) {
    __m256i s[4], n[4];
    int round, step, i;
    for (i = 0; i < 4; i++) s[i] = nc_gl__load256(state + 4 * i);
    for (round = 0; round < 5; round++) {
        s[0] = nc_gl__tip5_split256(s[0]);
        for (i = 1; i < 4; i++) n[i] = s[i];
        for (step = 0; step < 2; step++) /* x^2 and x^3, then x^4 and x^7 */
            for (i = 1; i < 4; i++) n[i] = nc_gl__square256(n[i]), s[i] = nc_gl__mul256(s[i], n[i]);
        nc_gl__tip5_mds_one256(s, nc_gl__tip5_rc + 16 * round);
    }
    for (i = 0; i < 4; i++) nc_gl__store256(state + 4 * i, s[i]);
}
#undef NC_GL__SBOX256
#undef NC_GL__SBOX512
#define NC_GL__TIP5_LANES nc_gl__tip5_lanes256, nc_gl__tip5_lanes512
#else
#define NC_GL__TIP5_LANES NULL, NULL
#endif

static void nc_gl__tip5_one(nc_gl *state, const nc_gl__permutation *p) {
    (void)p;
#ifdef NC_GL__X86
    if (nc_gl__level() >= 1) {
        nc_gl__tip5_one256(state);
        return;
    }
#endif
    nc_gl__tip5_rounds(state, NULL);
}

static const nc_gl__permutation nc_gl__tip5 = {16,   21, nc_gl__tip5_one, NC_GL__TIP5_LANES, NULL,
                                               NULL, 0};

NC_API void nc_gl_tip5_permute(nc_gl state[16]) { nc_gl__tip5_one(state, &nc_gl__tip5); }

NC_API void nc_gl_tip5_permute_many(nc_gl *states, size_t count) {
    nc_gl__permute_many(states, &nc_gl__tip5, count);
}

NC_API void nc_gl_tip5_trace(nc_gl state[16], uint16_t limbs[80]) {
    nc_gl__tip5_rounds(state, limbs);
}

/* -- the sponge -- */

NC__COLD_BEGIN

NC_API void nc_gl_tip5_init(nc_gl_tip5 *sponge) { memset(sponge, 0, sizeof *sponge); }

NC_API void nc_gl_tip5_absorb(nc_gl_tip5 *sponge, const nc_gl block[10]) {
    memcpy(sponge->state, block, 10 * sizeof *block);
    nc_gl_tip5_permute(sponge->state);
}

NC_API void nc_gl_tip5_squeeze(nc_gl_tip5 *sponge, nc_gl block[10]) {
    memcpy(block, sponge->state, 10 * sizeof *block);
    nc_gl_tip5_permute(sponge->state);
}

NC_API void nc_gl_tip5_hash_10(const nc_gl in[10], nc_gl digest[5]) {
    nc_gl state[16];
    int i;
    for (i = 0; i < 16; i++) state[i] = i < 10 ? in[i] : 1;
    nc_gl_tip5_permute(state);
    memcpy(digest, state, 5 * sizeof *digest);
}

NC_API void nc_gl_tip5_hash_pair(const nc_gl left[5], const nc_gl right[5], nc_gl digest[5]) {
    nc_gl both[10];
    memcpy(both, left, 5 * sizeof *both);
    memcpy(both + 5, right, 5 * sizeof *both);
    nc_gl_tip5_hash_10(both, digest);
}

NC_API void nc_gl_tip5_hash_varlen(const nc_gl *in, size_t n, nc_gl digest[5]) {
    nc_gl_tip5 sponge;
    nc_gl block[10];
    size_t i, done = 0;
    nc_gl_tip5_init(&sponge);
    for (; n - done >= 10; done += 10) nc_gl_tip5_absorb(&sponge, in + done);
    for (i = 0; i < 10; i++) block[i] = done + i < n ? in[done + i] : (nc_gl)(done + i == n);
    nc_gl_tip5_absorb(&sponge, block);
    memcpy(digest, sponge.state, 5 * sizeof *digest);
}

/* >>hashes ========================================================================= */

NC__WARM_BEGIN

/* The overwriting sponge of Poseidon2: the length in the capacity tells inputs apart that a zero or
 * a block would join. */
static void nc_gl__poseidon2_hash_fields(const nc_gl *in, size_t n, nc_gl digest[4]) {
    nc_gl state[8];
    size_t i, j;
    memset(state, 0, sizeof state);
    state[4] = nc_gl_from_u64(n);
    for (i = 0; i == 0 || i < n; i += 4) {
        for (j = 0; j < 4 && i + j < n; j++) state[j] = in[i + j];
        nc_gl__poseidon2_one(state, &nc_gl__poseidon2[0]);
    }
    memcpy(digest, state, 4 * sizeof *digest);
}

/* What trees and transcripts need of a hash. */
typedef struct nc_gl__hash {
    const nc_gl__permutation *permutation;
    uint32_t rate, digest; /* elements of a block and of a digest */
    void (*fields)(const nc_gl *in, size_t n, nc_gl *digest);
} nc_gl__hash;
static const nc_gl__hash nc_gl__hashes[] = {
    {&nc_gl__poseidon2[0], 4, 4, nc_gl__poseidon2_hash_fields}, /* NC_GL_POSEIDON2 */
    {&nc_gl__tip5, 10, 5, nc_gl_tip5_hash_varlen},              /* NC_GL_TIP5 */
    {&nc_gl__trident, 4, 4, nc_gl_trident_hash_fields},         /* NC_GL_TRIDENT */
};
typedef char
    nc_gl__hash_has_a_row[sizeof nc_gl__hashes / sizeof *nc_gl__hashes == NC_GL_HASHES ? 1 : -1];

/* Null for a hash that is none. */
static const nc_gl__hash *nc_gl__hash_of(nc_gl_hash hash) {
    return (unsigned)hash < NC_GL_HASHES ? &nc_gl__hashes[hash] : NULL;
}

NC_API size_t nc_gl_digest_elements(nc_gl_hash hash) {
    const nc_gl__hash *h = nc_gl__hash_of(hash);
    return h ? h->digest : 0;
}

/* n pairs of digests to n digests: a pair fills the state, or Tip5's rate beside ones. out may
 * stand before pairs, as a parent level stands before its children. */
static void nc_gl__compress(const nc_gl__hash *h, const nc_gl *pairs, size_t n, nc_gl *out) {
    enum { BLOCK = 32 };
    nc_gl states[BLOCK * 16];
    const size_t w = h->permutation->width, d = h->digest;
    size_t at, i, j;
    for (at = 0; at < n; at += BLOCK) {
        size_t count = nc_gl__least(n - at, BLOCK);
        for (i = 0; i < count; i++) {
            memcpy(states + i * w, pairs + (at + i) * 2 * d, 2 * d * sizeof *states);
            for (j = 2 * d; j < w; j++) states[i * w + j] = 1;
        }
        nc_gl__permute_block(states, h->permutation, count);
        for (i = 0; i < count; i++) memcpy(out + (at + i) * d, states + i * w, d * sizeof *states);
    }
}

NC_API nc_status nc_gl_hash_pair(nc_gl_hash hash, const nc_gl *left, const nc_gl *right,
                                 nc_gl *digest) {
    const nc_gl__hash *h = nc_gl__hash_of(hash);
    nc_gl both[10];
    if (!h || !left || !right || !digest) return NC_ERR_ARG;
    memcpy(both, left, h->digest * sizeof *both);
    memcpy(both + h->digest, right, h->digest * sizeof *both);
    nc_gl__compress(h, both, 1, digest);
    return NC_OK;
}

NC_API nc_status nc_gl_hash_fields(nc_gl_hash hash, const nc_gl *in, size_t n, nc_gl *digest) {
    const nc_gl__hash *h = nc_gl__hash_of(hash);
    if (!h || (n && !in) || !digest) return NC_ERR_ARG;
    h->fields(in, n, digest);
    return NC_OK;
}

NC_API void nc_gl_digest_hex(const nc_gl digest[4], char hex[65]) {
    static const char digits[] = "0123456789abcdef";
    int i;
    for (i = 0; i < 32; i++) {
        unsigned byte = (unsigned)(digest[i / 8] >> (8 * (i % 8))) & 255;
        hex[2 * i] = digits[byte >> 4];
        hex[2 * i + 1] = digits[byte & 15];
    }
    hex[64] = 0;
}

/* >>merkle ========================================================================= */

static int nc_gl__good_tree(const nc_gl__hash *h, size_t n, const void *nodes) {
    return h && nodes && n && (n & (n - 1)) == 0 && n - 1 <= UINT32_MAX;
}

static int nc_gl__all_canonical(const nc_gl *a, size_t n) {
    int good = 1;
    size_t i;
    for (i = 0; i < n; i++) good &= a[i] < NC_GL_P;
    return good;
}

/* Level by level up to the root, node 1: node i is the hash of nodes 2 i and 2 i + 1. Blocks of 256
 * nodes are what a thread takes; each fills the lanes. */
NC_API nc_status nc_gl_merkle_build(nc_gl_hash hash, nc_gl *nodes, size_t n) {
    const nc_gl__hash *h = nc_gl__hash_of(hash);
    size_t d, level;
    if (!nc_gl__good_tree(h, n, nodes)) return NC_ERR_ARG;
    d = h->digest;
    for (level = n / 2; level > 0; level /= 2) {
        ptrdiff_t blocks = (ptrdiff_t)(level / 256 + (level % 256 != 0)), k;
#ifdef _OPENMP
#pragma omp parallel for schedule(static) if (blocks > 1)
#endif
        for (k = 0; k < blocks; k++) {
            size_t at = level + (size_t)k * 256, count = nc_gl__least(2 * level - at, 256);
            nc_gl__compress(h, nodes + 2 * at * d, count, nodes + at * d);
        }
    }
    return NC_OK;
}

NC_API nc_status nc_gl_merkle_open(nc_gl_hash hash, const nc_gl *nodes, size_t n, size_t index,
                                   nc_gl *path) {
    const nc_gl__hash *h = nc_gl__hash_of(hash);
    size_t d, node;
    if (!nc_gl__good_tree(h, n, nodes) || index >= n || (n > 1 && !path)) return NC_ERR_ARG;
    d = h->digest;
    for (node = n + index; node > 1; node /= 2, path += d)
        memcpy(path, nodes + (node ^ 1) * d, d * sizeof *path);
    return NC_OK;
}

NC_API nc_status nc_gl_merkle_verify(nc_gl_hash hash, const nc_gl *root, const nc_gl *leaf,
                                     size_t index, const nc_gl *path, uint32_t path_length) {
    const nc_gl__hash *h = nc_gl__hash_of(hash);
    nc_gl node[5];
    size_t d;
    uint32_t i;
    if (!h || !root || !leaf || (path_length && !path) || path_length > 32 ||
        (uint64_t)index >> path_length)
        return NC_ERR_ARG;
    d = h->digest;
    memcpy(node, leaf, d * sizeof *node);
    if (!nc_gl__all_canonical(leaf, d) || !nc_gl__all_canonical(path, path_length * d))
        return NC_ERR_MISMATCH;
    for (i = 0; i < path_length; i++, path += d)
        (void)(index >> i & 1 ? nc_gl_hash_pair(hash, path, node, node)
                              : nc_gl_hash_pair(hash, node, path, node));
    return memcmp(node, root, d * sizeof *node) ? NC_ERR_MISMATCH : NC_OK;
}

/* >>transcripts ==================================================================== */

/* A duplex sponge. While absorbing, `position` elements of the current block are in; while
 * squeezing, `position` elements of it are out. The first challenge after absorbing adds 1 and how
 * full the block is to the first capacity element, so that blocks of different length do not meet.
 * Elements are added to the rate one by one, and a full rate is permuted only when another one
 * comes. Absorbing after squeezing begins at place 0 again. */
NC_API nc_status nc_gl_transcript_init(nc_gl_transcript *t, nc_gl_hash hash, const void *label,
                                       size_t n) {
    if (!t || !nc_gl__hash_of(hash) || (n && !label)) return NC_ERR_ARG;
    memset(t, 0, sizeof *t);
    t->hash = (uint32_t)hash;
    return nc_gl_transcript_absorb_bytes(t, label, n);
}

static void nc_gl__transcript_permute(nc_gl_transcript *t, nc_gl mark) {
    const nc_gl__hash *h = &nc_gl__hashes[t->hash];
    t->state[h->rate] = nc_gl_add(t->state[h->rate], mark);
    h->permutation->one(t->state, h->permutation);
    t->position = 0;
}

NC_API nc_status nc_gl_transcript_absorb(nc_gl_transcript *t, const nc_gl *in, size_t n) {
    size_t i;
    if (!t || t->hash >= NC_GL_HASHES || (n && !in)) return NC_ERR_ARG;
    if (!nc_gl__all_canonical(in, n)) return NC_ERR_FORMAT;
    if (n && t->squeezing) {
        t->squeezing = 0;
        t->position = 0;
    }
    for (i = 0; i < n; i++) {
        if (t->position == nc_gl__hashes[t->hash].rate) nc_gl__transcript_permute(t, 0);
        t->state[t->position] = nc_gl_add(t->state[t->position], in[i]);
        t->position++;
    }
    return NC_OK;
}

NC_API nc_status nc_gl_transcript_absorb_bytes(nc_gl_transcript *t, const void *data, size_t n) {
    const uint8_t *bytes = (const uint8_t *)data;
    nc_gl element = nc_gl_from_u64(n);
    nc_status status;
    size_t i;
    if (n && !data) return NC_ERR_ARG;
    status = nc_gl_transcript_absorb(t, &element, 1);
    for (i = 0; i < n && status == NC_OK; i += 7) {
        (void)nc_gl_pack_bytes(&element, bytes + i, nc_gl__least(n - i, 7));
        status = nc_gl_transcript_absorb(t, &element, 1);
    }
    return status;
}

NC_API nc_status nc_gl_transcript_challenge(nc_gl_transcript *t, nc_gl *out, size_t n) {
    size_t i, rate;
    if (!t || t->hash >= NC_GL_HASHES || (n && !out)) return NC_ERR_ARG;
    rate = nc_gl__hashes[t->hash].rate;
    for (i = 0; i < n; i++) {
        if (!t->squeezing)
            nc_gl__transcript_permute(t, 1 + (nc_gl)t->position);
        else if (t->position == rate)
            nc_gl__transcript_permute(t, 0);
        t->squeezing = 1;
        out[i] = t->state[t->position++];
    }
    return NC_OK;
}

NC_API nc_status nc_gl_transcript_index(nc_gl_transcript *t, uint32_t bits, uint64_t *out) {
    nc_gl element;
    nc_status status;
    if (!out || bits > 32) return NC_ERR_ARG;
    *out = 0;
    status = nc_gl_transcript_challenge(t, &element, 1);
    if (status == NC_OK) *out = element & ((UINT64_C(1) << bits) - 1);
    return status;
}

NC__COLD_END

NC__WARM_END

/* >>fixed ========================================================================== */

/* -- conversion and products -- */

NC_API nc_status nc_fixed_from_f64(double v, nc_fixed *out) {
    double scaled = v < 0 ? -v * 65536.0 : v * 65536.0; /* exact: a power of two */
    uint64_t magnitude;
    *out = 0;
    if (!(scaled < 4611686018427387904.0)) return NC_ERR_LIMIT; /* 2^62; NaN fails too */
    magnitude = (uint64_t)scaled;
    if (scaled - (double)magnitude >= 0.5) magnitude++; /* exact: both sides are near */
    *out = v < 0 ? nc_gl_neg(magnitude) : magnitude;
    return NC_OK;
}

NC_API double nc_fixed_to_f64(nc_fixed a) { return (double)nc_gl_to_i64(a) / 65536.0; }

NC_API nc_fixed nc_fixed_mul_field(nc_fixed a, nc_fixed b) {
    return nc_gl_mul_pow2(nc_gl_mul(a, b), 192 - NC_FIXED_SHIFT); /* 2^-16 = 2^176 */
}

NC_API nc_fixed nc_fixed_mul(nc_fixed a, nc_fixed b) {
    NC_ASSERT(nc_fixed_check_dot(&a, &b, 1) == NC_OK);
    return nc_fixed_rescale(nc_gl_mul(a, b));
}

NC_API nc_fixed nc_fixed_rescale(nc_gl x) {
    int64_t centred = nc_gl_to_i64(x) + (INT64_C(1) << 15); /* |x| <= (p-1)/2 < 2^63 - 2^15 */
    int64_t quotient = centred / 65536, remainder = centred % 65536;
    return nc_gl_from_i64(quotient - (remainder < 0)); /* floor, without shifting a negative */
}

NC_API nc_fixed nc_fixed_witness(nc_gl x, uint32_t *remainder) {
    nc_fixed quotient = nc_fixed_rescale(x);
    nc_gl back = nc_gl_mul_pow2(quotient, NC_FIXED_SHIFT);
    *remainder = (uint32_t)nc_gl_sub(nc_gl_add(x, UINT64_C(1) << 15), back);
    return quotient;
}

NC_API nc_fixed nc_fixed_repair(nc_fixed wrong) {
    return nc_fixed_rescale(nc_gl_mul_pow2(wrong, NC_FIXED_SHIFT));
}

/* -- sums and order -- */

NC_API nc_fixed nc_fixed_add(nc_fixed a, nc_fixed b) { return nc_gl_add(a, b); }
NC_API nc_fixed nc_fixed_sub(nc_fixed a, nc_fixed b) { return nc_gl_sub(a, b); }
NC_API nc_fixed nc_fixed_neg(nc_fixed a) { return nc_gl_neg(a); }

static int nc_fixed__negative(nc_fixed a) { return a > (NC_GL_P - 1) / 2; }

static uint64_t nc_fixed__magnitude(nc_fixed a) { return nc_fixed__negative(a) ? NC_GL_P - a : a; }

NC_API nc_fixed nc_fixed_abs(nc_fixed a) { return nc_fixed__magnitude(a); }

NC_API int nc_fixed_compare(nc_fixed a, nc_fixed b) {
    int64_t x = nc_gl_to_i64(a), y = nc_gl_to_i64(b);
    return (x > y) - (x < y);
}

NC_API nc_fixed nc_fixed_clamp(nc_fixed a, nc_fixed low, nc_fixed high) {
    if (nc_fixed_compare(a, high) > 0) a = high;
    return nc_fixed_compare(a, low) < 0 ? low : a;
}

NC_API nc_fixed nc_fixed_relu(nc_fixed a) { return nc_fixed__negative(a) ? 0 : a; }

/* -- quotients and roots -- */

/* round(a 2^shift / b), ties up, for b < 2^63; UINT64_MAX where that is 2^63 or more. */
static NC__NOINLINE uint64_t nc_fixed__quotient(uint64_t a, uint64_t b, int shift) {
    uint64_t q = a / b, r = a % b;
    for (; shift > 0; shift--) {
        if (q >> 62) return UINT64_MAX;
        r *= 2;
        q = 2 * q + (uint64_t)(r >= b);
        if (r >= b) r -= b;
    }
    return q + (uint64_t)(r >= b - r);
}

NC_API nc_status nc_fixed_inv(nc_fixed a, nc_fixed *out) {
    return nc_fixed_div(NC_FIXED_ONE, a, out);
}

NC_API nc_status nc_fixed_div(nc_fixed a, nc_fixed b, nc_fixed *out) {
    uint64_t q;
    *out = 0;
    if (b == 0) return NC_ERR_MATH;
    q = nc_fixed__quotient(nc_fixed__magnitude(a), nc_fixed__magnitude(b), NC_FIXED_SHIFT);
    if (q >> 62) return NC_ERR_LIMIT;
    *out = nc_fixed__negative(a) != nc_fixed__negative(b) ? nc_gl_neg(q) : q;
    return NC_OK;
}

/* floor(sqrt(hi 2^64 + lo)), hi < 2^60, two bits of the operand a step; *rest = what is left. */
static NC__NOINLINE uint64_t nc_fixed__isqrt(uint64_t hi, uint64_t lo, uint64_t *rest) {
    uint64_t root = 0, left = 0;
    int i;
    for (i = 0; i < 64; i++) {
        left = left << 2 | hi >> 62;
        hi = hi << 2 | lo >> 62;
        lo <<= 2;
        root *= 2;
        if (left > 2 * root) { /* left >= 2 root + 1 */
            left -= 2 * root + 1;
            root++;
        }
    }
    *rest = left;
    return root;
}

NC_API nc_status nc_fixed_sqrt(nc_fixed a, nc_fixed *out) {
    uint64_t rest, root;
    *out = 0;
    if (nc_fixed__negative(a)) return NC_ERR_MATH;
    root = nc_fixed__isqrt(a >> 48, a << 16, &rest);
    *out = root + (uint64_t)(rest > root); /* (root + 1/2)^2 = root^2 + root + 1/4 */
    return NC_OK;
}

/* -- exponential functions -- */

/* The high half of a product: of 62 and 64 fractional bits, 62 remain. */
static uint64_t nc_fixed__mul_high(uint64_t a, uint64_t b) { return nc_gl__mul_wide(a, b).hi; }

/* 2^f, 0 <= f < 1 with 64 fractional bits, to 62 of them: the series of e^(f ln 2) to its 14th
 * term, whose remainder is below ln(2)^15 / 15! < 2^-48. */
static uint64_t nc_fixed__exp2(uint64_t f) {
    static const uint64_t coefficient[15] = {/* ln(2)^k / k! times 2^62 */
                                             UINT64_C(4611686018427387904),
                                             UINT64_C(3196577161300663915),
                                             UINT64_C(1107849223398934356),
                                             UINT64_C(255967521894832113),
                                             UINT64_C(44355791529079737),
                                             UINT64_C(6149018367977265),
                                             UINT64_C(710362457495793),
                                             UINT64_C(70340819226978),
                                             UINT64_C(6094567565682),
                                             UINT64_C(469381369432),
                                             UINT64_C(32535037283),
                                             UINT64_C(2050142669),
                                             UINT64_C(118420884),
                                             UINT64_C(6314085),
                                             UINT64_C(312614)};
    uint64_t value = coefficient[14];
    int k;
    for (k = 13; k >= 0; k--) value = coefficient[k] + nc_fixed__mul_high(value, f);
    return value;
}

/* e^x for a raw x, |x| < 2^22, as fraction (62 bits, in [1, 2)) times 2^result. */
static int nc_fixed__exp_parts(int64_t x, uint64_t *fraction) {
    /* x log2(e) with 16 + 40 fractional bits, made positive by a multiple of 2^56 */
    const uint64_t bias = UINT64_C(100) << 56;
    uint64_t y = bias + (uint64_t)(x * INT64_C(1586259972792));
    *fraction = nc_fixed__exp2(y << 8);
    return (int)(y >> 56) - 100;
}

/* x / 2^shift, rounded to nearest. */
static uint64_t nc_fixed__shift_round(uint64_t x, int shift) {
    if (shift > 63) return 0;
    return shift ? (x >> shift) + (x >> (shift - 1) & 1) : x;
}

NC_API nc_status nc_fixed_exp(nc_fixed a, nc_fixed *out) {
    int64_t x = nc_gl_to_i64(a);
    uint64_t fraction;
    int exponent;
    *out = 0;
    if (x >= INT64_C(1) << 21) return NC_ERR_LIMIT; /* 32 */
    if (x < -(INT64_C(1) << 20)) return NC_OK;      /* e^-16 < 2^-23 */
    exponent = nc_fixed__exp_parts(x, &fraction);
    if (exponent >= 46) return NC_ERR_LIMIT;
    *out = nc_fixed__shift_round(fraction, 46 - exponent);
    return NC_OK;
}

/* e^-x with 46 fractional bits for a raw x >= 0. */
static uint64_t nc_fixed__exp_negative(uint64_t x) {
    uint64_t fraction;
    int exponent;
    if (x >> 22) return 0; /* e^-64 < 2^-92 */
    exponent = nc_fixed__exp_parts(-(int64_t)x, &fraction);
    return nc_fixed__shift_round(fraction, 16 - exponent);
}

NC_API nc_fixed nc_fixed_sigmoid(nc_fixed a) {
    uint64_t below = (UINT64_C(1) << 46) + nc_fixed__exp_negative(nc_fixed__magnitude(a));
    uint64_t s = ((UINT64_C(1) << 62) + below / 2) / below;
    return nc_fixed__negative(a) ? NC_FIXED_ONE - s : s;
}

/* a sigmoid(b) for b = 1.702 a: 111542.27 is 1.702 2^16. */
static NC__NOINLINE nc_fixed nc_fixed__gate(nc_fixed a, nc_fixed (*sigmoid)(nc_fixed)) {
    return nc_fixed_mul(a, sigmoid(nc_fixed_mul(a, 111542)));
}

NC_API nc_fixed nc_fixed_gelu(nc_fixed a) {
    if (nc_fixed__magnitude(a) >> 31) return nc_fixed_relu(a); /* the gate is 0 or 1 from 8 on */
    return nc_fixed__gate(a, nc_fixed_sigmoid);
}

NC__COLD_BEGIN

NC_API nc_fixed nc_fixed_sigmoid_taylor(nc_fixed a) {
    nc_fixed cube = nc_fixed_mul(nc_fixed_mul(a, a), a), result = NC_FIXED_ONE / 2;
    result = nc_gl_add(result, nc_fixed_mul(a, NC_FIXED_ONE / 4));
    return nc_gl_sub(result, nc_fixed_mul(cube, 1365)); /* 1365.33 is 2^16 / 48 */
}

NC_API nc_fixed nc_fixed_gelu_taylor(nc_fixed a) {
    return nc_fixed__gate(a, nc_fixed_sigmoid_taylor);
}

/* -- sums of products -- */

/* nc_fixed_check_dot of a[i] and b[i stride]: products of either sign are summed apart. */
static NC_UNUSED nc_status nc_fixed__check(const nc_fixed *a, const nc_fixed *b, size_t stride,
                                           size_t n) {
    nc_gl__wide sum[2], gap;
    int larger;
    size_t i;
    sum[0] = sum[1] = nc_gl__wide_make(0, 0);
    for (i = 0; i < n; i++) {
        nc_fixed x = a[i], y = b[i * stride];
        int negative = nc_fixed__negative(x) != nc_fixed__negative(y);
        nc_gl__wide product = nc_gl__mul_wide(nc_fixed__magnitude(x), nc_fixed__magnitude(y));
        sum[negative] = nc_gl__wide_sum(sum[negative], product); /* below 2^127 + 2^126 */
        if (sum[negative].hi >> 63) return NC_ERR_LIMIT;
    }
    larger = nc_gl__wide_difference(sum[0], sum[1]).hi >> 63 != 0;
    gap = nc_gl__wide_difference(sum[larger], sum[1 - larger]);
    return gap.hi || gap.lo > (NC_GL_P - 1) / 2 ? NC_ERR_LIMIT : NC_OK;
}

NC__COLD_END

NC_API nc_fixed nc_fixed_dot(const nc_fixed *a, const nc_fixed *b, size_t n) {
    NC_ASSERT(nc_fixed_check_dot(a, b, n) == NC_OK);
    return nc_fixed_rescale(nc_gl_vec_dot(a, b, n));
}

NC_API nc_status nc_fixed_check_dot(const nc_fixed *a, const nc_fixed *b, size_t n) {
    return nc_fixed__check(a, b, 1, n);
}

NC__COLD_BEGIN

NC_API nc_status nc_fixed_matvec(nc_fixed *y, const nc_fixed *a, const nc_fixed *x, size_t rows,
                                 size_t columns) {
    size_t r;
    if (nc_gl__overlap(y, rows, a, nc__mul_size(rows, columns)) ||
        nc_gl__overlap(y, rows, x, columns))
        return NC_ERR_ARG;
    for (r = 0; r < rows; r++) y[r] = nc_fixed_dot(a + r * columns, x, columns);
    return NC_OK;
}

NC__COLD_END

/* -- matrices -- */

#ifdef NC_GL__X86
NC_GL__TARGET512 static size_t nc_fixed__largest512(uint64_t *largest, const nc_fixed *a,
                                                    size_t n) {
    const __m512i p = nc_gl__set512(NC_GL_P);
    __m512i most = _mm512_setzero_si512();
    size_t i;
    for (i = 0; i + 8 <= n; i += 8) {
        __m512i x = nc_gl__load512(a + i);
        most = _mm512_max_epu64(most, _mm512_min_epu64(x, _mm512_sub_epi64(p, x)));
    }
    *largest = (uint64_t)_mm512_reduce_max_epu64(most);
    return i;
}
#endif

/* The largest magnitude of n raw values. */
static uint64_t nc_fixed__largest(const nc_fixed *a, size_t n) {
    uint64_t largest = 0;
    size_t i = 0;
#ifdef NC_GL__X86
    if (nc_gl__level() >= 2) i = nc_fixed__largest512(&largest, a, n);
#endif
    for (; i < n; i++) {
        uint64_t m = nc_fixed__magnitude(a[i]);
        largest = m > largest ? m : largest;
    }
    return largest;
}

/* The centred value modulo 2^64. */
static uint64_t nc_fixed__centred(nc_fixed a) {
    return a + nc_gl__carried((uint64_t)nc_fixed__negative(a)); /* - p = 2^32 - 1 - 2^64 */
}

/* One row of C, k > 0, in integers modulo 2^64. */
static NC__NOINLINE void nc_fixed__row(nc_fixed *c, const nc_fixed *a, const nc_fixed *b, size_t k,
                                       size_t n) {
    size_t i, j;
    for (j = 0; j < n; j++) c[j] = 0;
    for (i = 0; i < k; i++) {
        const uint64_t factor = nc_fixed__centred(a[i]);
        for (j = 0; j < n; j++) c[j] += factor * nc_fixed__centred(b[i * n + j]);
    }
    for (j = 0; j < n; j++) c[j] = nc_fixed_rescale(nc_gl_from_i64((int64_t)c[j]));
}

#ifdef NC_GL__X86
NC_GL__INLINE512 __m512i nc_fixed__load512(const nc_fixed *from, __mmask8 lanes) {
    return _mm512_maskz_loadu_epi64(lanes, (const void *)from);
}

/* A store with a mask takes longer, also when that is full. */
NC_GL__INLINE512 void nc_fixed__store512(nc_fixed *to, __mmask8 lanes, __m512i x) {
    if (lanes == 255)
        nc_gl__store512(to, x);
    else
        _mm512_mask_storeu_epi64((void *)to, lanes, x);
}

enum { NC_FIXED__STEPS = 48 }; /* steps of k whose rows of A are packed: 3 KiB of stack */

/* Sixteen columns a step of eight, four, two rows of C or one += A B, over centred values x: signed
 * 32-bit products and 64-bit sums, or with IFMA, whose product and sum are one instruction, the low
 * 52 bits of both (two's complement, so right for sums below 2^51 in magnitude). */
#define NC_FIXED__EIGHT(m) m(0) m(1) m(2) m(3) m(4) m(5) m(6) m(7)
#define NC_FIXED__FOUR(m) m(0) m(1) m(2) m(3)
#define NC_FIXED__TWO(m) m(0) m(1)
#define NC_FIXED__ONE(m) m(0)
#define NC_FIXED__LOAD(r)                                                                          \
    __m512i s##r = first ? _mm512_setzero_si512() : nc_gl__load512(c + r * n + j);                 \
    __m512i t##r = first ? s##r : nc_gl__load512(c + r * n + j + 8);
#define NC_FIXED__STEP(r)                                                                          \
    {                                                                                              \
        __m512i factor = nc_gl__set512(packed[r * NC_FIXED__STEPS + i]);                           \
        s##r = NC_FIXED__MULTIPLY_ADD(s##r, factor, x);                                            \
        t##r = NC_FIXED__MULTIPLY_ADD(t##r, factor, y);                                            \
    }
#define NC_FIXED__STORE(r)                                                                         \
    nc_gl__store512(c + r * n + j, s##r), nc_gl__store512(c + r * n + j + 8, t##r);
#define NC_FIXED__TILES(name, attributes, each)                                                    \
    attributes static void name(nc_fixed *c, const uint64_t *packed, const nc_fixed *b,            \
                                size_t steps, size_t n, int first) {                               \
        const __m512i half = nc_gl__set512((NC_GL_P - 1) / 2), p = nc_gl__set512(NC_GL_P);         \
        size_t i, j;                                                                               \
        for (j = 0; j + 16 <= n; j += 16) {                                                        \
            each(NC_FIXED__LOAD) for (i = 0; i < steps; i++) {                                     \
                const nc_fixed *row = b + i * n + j;                                               \
                __m512i x = nc_gl__load512(row), y = nc_gl__load512(row + 8);                      \
                x = _mm512_mask_sub_epi64(x, _mm512_cmpgt_epu64_mask(x, half), x, p);              \
                y = _mm512_mask_sub_epi64(y, _mm512_cmpgt_epu64_mask(y, half), y, p);              \
                each(NC_FIXED__STEP)                                                               \
            }                                                                                      \
            each(NC_FIXED__STORE)                                                                  \
        }                                                                                          \
    }
#define NC_FIXED__MULTIPLY_ADD(sum, x, y) _mm512_add_epi64(sum, _mm512_mul_epi32(x, y))
NC_FIXED__TILES(nc_fixed__8_rows512, NC_GL__TARGET512, NC_FIXED__EIGHT)
NC_FIXED__TILES(nc_fixed__4_rows512, NC_GL__TARGET512, NC_FIXED__FOUR)
NC_FIXED__TILES(nc_fixed__2_rows512, NC_GL__TARGET512, NC_FIXED__TWO)
NC_FIXED__TILES(nc_fixed__1_row512, NC_GL__TARGET512, NC_FIXED__ONE)
#undef NC_FIXED__MULTIPLY_ADD
#define NC_FIXED__MULTIPLY_ADD(sum, x, y) _mm512_madd52lo_epu64(sum, x, y)
NC_FIXED__TILES(nc_fixed__8_rows_ifma, NC_GL__TARGET_IFMA, NC_FIXED__EIGHT)
NC_FIXED__TILES(nc_fixed__4_rows_ifma, NC_GL__TARGET_IFMA, NC_FIXED__FOUR)
NC_FIXED__TILES(nc_fixed__2_rows_ifma, NC_GL__TARGET_IFMA, NC_FIXED__TWO)
NC_FIXED__TILES(nc_fixed__1_row_ifma, NC_GL__TARGET_IFMA, NC_FIXED__ONE)
#undef NC_FIXED__MULTIPLY_ADD
#undef NC_FIXED__TILES
#undef NC_FIXED__STORE
#undef NC_FIXED__STEP
#undef NC_FIXED__LOAD
#undef NC_FIXED__EIGHT
#undef NC_FIXED__FOUR
#undef NC_FIXED__TWO
#undef NC_FIXED__ONE

typedef void (*nc_fixed__tiles_fn)(nc_fixed *c, const uint64_t *packed, const nc_fixed *b,
                                   size_t steps, size_t n, int first);
/* By kind (IFMA, AVX-512) and logarithm of the rows. */
static const nc_fixed__tiles_fn nc_fixed__tiles[2][4] = {
    {nc_fixed__1_row_ifma, nc_fixed__2_rows_ifma, nc_fixed__4_rows_ifma, nc_fixed__8_rows_ifma},
    {nc_fixed__1_row512, nc_fixed__2_rows512, nc_fixed__4_rows512, nc_fixed__8_rows512}};

/* Centred values of `rows` rows of A, NC_FIXED__STEPS apart. */
NC_GL__TARGET512 static void nc_fixed__pack512(uint64_t *packed, const nc_fixed *a, size_t rows,
                                               size_t k, size_t steps) {
    const __m512i half = nc_gl__set512((NC_GL_P - 1) / 2), p = nc_gl__set512(NC_GL_P);
    size_t i, r;
    for (r = 0; r < rows; r++)
        for (i = 0; i < steps; i += 8) {
            __m512i x = nc_fixed__load512(a + r * k + i, nc_gl__first_lanes(steps - i));
            x = _mm512_mask_sub_epi64(x, _mm512_cmpgt_epu64_mask(x, half), x, p);
            nc_gl__store512(packed + r * NC_FIXED__STEPS + i, x);
        }
}

/* floor((x + 2^15) / 2^16) of n sums, or with `ifma` of their low 52 bits; negatives up by p. */
NC_GL__TARGET512 static void nc_fixed__rescale512(nc_fixed *c, size_t n, int ifma) {
    const __m512i half = nc_gl__set512(UINT64_C(1) << 15), p = nc_gl__set512(NC_GL_P);
    size_t i;
    for (i = 0; i < n; i += 8) {
        const __mmask8 lanes = nc_gl__first_lanes(n - i);
        __m512i x = nc_fixed__load512(c + i, lanes);
        if (ifma) x = _mm512_srai_epi64(_mm512_slli_epi64(x, 12), 12);
        x = _mm512_srai_epi64(_mm512_add_epi64(x, half), 16);
        x = _mm512_mask_add_epi64(x, _mm512_movepi64_mask(x), x, p);
        nc_fixed__store512(c + i, lanes, x);
    }
}

/* The columns that fill no sixteen, in `rows` rows of C. */
NC_GL__TARGET512 static NC__NOINLINE void
nc_fixed__last_columns512(nc_fixed *c, const uint64_t *packed, const nc_fixed *b, size_t rows,
                          size_t steps, size_t n, int first) {
    const __m512i half = nc_gl__set512((NC_GL_P - 1) / 2), p = nc_gl__set512(NC_GL_P);
    const size_t start = n / 16 * 16;
    size_t i, j, r;
    for (j = start; j < n; j += 8) {
        const __mmask8 lanes = nc_gl__first_lanes(n - j);
        for (r = 0; r < rows; r++) {
            __m512i s = first ? _mm512_setzero_si512() : nc_fixed__load512(c + r * n + j, lanes);
            for (i = 0; i < steps; i++) {
                __m512i x = nc_fixed__load512(b + i * n + j, lanes);
                __m512i factor = nc_gl__set512(packed[r * NC_FIXED__STEPS + i]);
                x = _mm512_mask_sub_epi64(x, _mm512_cmpgt_epu64_mask(x, half), x, p);
                s = _mm512_add_epi64(s, _mm512_mul_epi32(factor, x));
            }
            nc_fixed__store512(c + r * n + j, lanes, s);
        }
    }
}

/* 2^log2_rows rows of C. */
static void nc_fixed__rows512(nc_fixed *c, const nc_fixed *a, const nc_fixed *b, int log2_rows,
                              size_t k, size_t n, int ifma) {
    uint64_t packed[8 * NC_FIXED__STEPS];
    const size_t rows = (size_t)1 << log2_rows;
    size_t q;
    if (k == 0) memset(c, 0, rows * n * sizeof *c);
    for (q = 0; q < k; q += NC_FIXED__STEPS) {
        const size_t steps = nc_gl__least(k - q, NC_FIXED__STEPS);
        nc_fixed__pack512(packed, a + q, rows, k, steps);
        nc_fixed__tiles[!ifma][log2_rows](c, packed, b + q * n, steps, n, q == 0);
        if (n % 16) nc_fixed__last_columns512(c, packed, b + q * n, rows, steps, n, q == 0);
    }
    nc_fixed__rescale512(c, rows * n, ifma);
}
#endif

#if defined(NC_GL__X86) || defined(NC_GL__NEON)
enum { NC_FIXED__SLICE = 28 }; /* steps of k at a time: 3.8 KiB of stack */

/* Sixteen rows of C = A B at most, in tiles of four rows and two vectors of columns: signed 32-bit
 * products and 64-bit sums. A slice of A and the columns of B are packed beforehand; of a factor x
 * only the low 32 bits are read, so that to centre it means to take off its highest bit: x - p =
 * x - 1 modulo 2^32. Missing rows and columns that fill no tile go through `spare`. */
#define NC_FIXED__LOAD(S, r)                                                                       \
    NC_GL__V##S s##r = first ? nc_gl__set##S(0) : nc_gl__load##S(c[r]);                            \
    NC_GL__V##S t##r = first ? s##r : nc_gl__load##S(c[r] + NC_GL__LANES##S);
#define NC_FIXED__STEP(S, r)                                                                       \
    factor = nc_gl__set_half##S(a, 4 * r);                                                         \
    s##r = nc_gl__add_signed##S(s##r, factor, x), t##r = nc_gl__add_signed##S(t##r, factor, y);
#define NC_FIXED__STORE(S, r)                                                                      \
    nc_gl__store##S(c[r], s##r), nc_gl__store##S(c[r] + NC_GL__LANES##S, t##r);
#define NC_FIXED__FOUR(m, S) m(S, 0) m(S, 1) m(S, 2) m(S, 3)
#define NC_FIXED__SIXTEEN_ROWS(S)                                                                  \
    NC_GL__TARGET##S static NC__NOINLINE void nc_fixed__tile##S(                                   \
        nc_fixed *const c[4], const uint32_t *a, const NC_GL__HALF##S *b, size_t steps,            \
        int first) {                                                                               \
        const uint32_t *end = a + 4 * steps;                                                       \
        NC_FIXED__FOUR(NC_FIXED__LOAD, S)                                                          \
        for (; a < end; a += 4, b += 2) {                                                          \
            const NC_GL__HALF##S x = b[0], y = b[1];                                               \
            NC_GL__HALF##S factor;                                                                 \
            NC_FIXED__FOUR(NC_FIXED__STEP, S)                                                      \
        }                                                                                          \
        NC_FIXED__FOUR(NC_FIXED__STORE, S)                                                         \
    }                                                                                              \
    NC_GL__INLINE##S NC_GL__HALF##S nc_fixed__centred##S(const nc_fixed *b) {                      \
        const NC_GL__V##S x = nc_gl__load##S(b);                                                   \
        return nc_gl__narrow##S(NC_GL__MINUS##S(x, NC_GL__RIGHT##S(x, 63)));                       \
    }                                                                                              \
    NC_GL__TARGET##S static void nc_fixed__pack##S(NC_GL__HALF##S *packed, const nc_fixed *b,      \
                                                   size_t steps, size_t n, size_t columns) {       \
        enum { W = NC_GL__LANES##S };                                                              \
        nc_fixed torn[2 * W] = {0};                                                                \
        size_t i;                                                                                  \
        for (i = 0; i < steps; i++, b += n) {                                                      \
            const nc_fixed *from = columns < 2 * W ? torn : b;                                     \
            if (columns < 2 * W) memcpy(torn, b, columns * sizeof *b);                             \
            packed[2 * i] = nc_fixed__centred##S(from);                                            \
            packed[2 * i + 1] = nc_fixed__centred##S(from + W);                                    \
        }                                                                                          \
    }                                                                                              \
    /* floor((x + 2^15) / 2^16) of n sums, moved by 2^63 to be positive; negatives up by p. */     \
    NC_GL__TARGET##S static void nc_fixed__rescale##S(nc_fixed *c, size_t n) {                     \
        const NC_GL__V##S up = nc_gl__set##S((UINT64_C(1) << 63) + (UINT64_C(1) << 15));           \
        const NC_GL__V##S down = nc_gl__set##S(UINT64_C(1) << 47);                                 \
        size_t i;                                                                                  \
        for (i = 0; i + NC_GL__LANES##S <= n; i += NC_GL__LANES##S) {                              \
            NC_GL__V##S x = NC_GL__RIGHT##S(NC_GL__PLUS##S(nc_gl__load##S(c + i), up), 16);        \
            nc_gl__store##S(c + i, nc_gl__sub##S(x, down));                                        \
        }                                                                                          \
        for (; i < n; i++) c[i] = nc_fixed_rescale(nc_gl_from_i64((int64_t)c[i]));                 \
    }                                                                                              \
    NC_GL__TARGET##S static void nc_fixed__rows##S(                                                \
        nc_fixed *c, const nc_fixed *a, const nc_fixed *b, size_t rows, size_t k, size_t n) {      \
        enum { W = 2 * NC_GL__LANES##S };                                                          \
        uint32_t pack_a[16 * NC_FIXED__SLICE];                                                     \
        NC_GL__HALF##S pack_b[2 * NC_FIXED__SLICE];                                                \
        nc_fixed spare[4 * W], *to[4];                                                             \
        size_t q, r, i, j, row;                                                                    \
        if (k == 0) memset(c, 0, rows *n * sizeof *c);                                             \
        for (q = 0; q < k; q += NC_FIXED__SLICE, b += NC_FIXED__SLICE * n) {                       \
            const size_t steps = nc_gl__least(k - q, NC_FIXED__SLICE);                             \
            for (r = 0; r < (rows + 3) / 4 * 4; r++)                                               \
                for (i = 0; i < steps; i++) {                                                      \
                    const nc_fixed x = r < rows ? a[r * k + q + i] : 0;                            \
                    pack_a[r / 4 * 4 * steps + 4 * i + r % 4] = (uint32_t)(x - (x >> 63));         \
                }                                                                                  \
            for (j = 0; j < n; j += W) {                                                           \
                const size_t width = nc_gl__least(n - j, W);                                       \
                nc_fixed__pack##S(pack_b, b + j, steps, n, width);                                 \
                for (row = 0; row < rows; row += 4) {                                              \
                    nc_fixed *at = c + row * n + j;                                                \
                    const size_t whole = width == W ? nc_gl__least(rows - row, 4) : 0;             \
                    const size_t torn = width == W ? 0 : nc_gl__least(rows - row, 4);              \
                    if (whole < 4) memset(spare, 0, sizeof spare);                                 \
                    for (r = 0; r < 4; r++) to[r] = r < whole ? at + r * n : spare + r * W;        \
                    for (r = 0; r < torn; r++) memcpy(to[r], at + r * n, width * sizeof *c);       \
                    nc_fixed__tile##S(to, pack_a + row * steps, pack_b, steps, q == 0);            \
                    for (r = 0; r < torn; r++) memcpy(at + r * n, to[r], width * sizeof *c);       \
                }                                                                                  \
            }                                                                                      \
        }                                                                                          \
        nc_fixed__rescale##S(c, rows *n);                                                          \
    }
#ifdef NC_GL__X86
NC_FIXED__SIXTEEN_ROWS(256)
#else
NC_FIXED__SIXTEEN_ROWS(128)
#endif
#undef NC_FIXED__SIXTEEN_ROWS
#undef NC_FIXED__FOUR
#undef NC_FIXED__STORE
#undef NC_FIXED__STEP
#undef NC_FIXED__LOAD
#endif

/* `rows` <= 16 rows of C where no sum reaches `bound`. */
static void nc_fixed__rows(nc_fixed *c, const nc_fixed *a, const nc_fixed *b, size_t rows, size_t k,
                           size_t n, uint64_t bound) {
    size_t row;
    (void)bound;
#ifdef NC_GL__X86
    if (nc_gl__level() == 1) {
        nc_fixed__rows256(c, a, b, rows, k, n);
        return;
    }
    for (row = 0; row < rows && nc_gl__level() >= 2;) {
        const size_t left = rows - row;
        const int log2_rows = left > 7 ? 3 : left > 3 ? 2 : left > 1;
        const int ifma = nc_gl__level() == 3 && bound < UINT64_C(1) << 51;
        nc_fixed__rows512(c + row * n, a + row * k, b, log2_rows, k, n, ifma);
        row += (size_t)1 << log2_rows;
    }
    if (nc_gl__level() >= 2) return;
#elif defined(NC_GL__NEON)
    if (nc_gl__level() >= 1) {
        nc_fixed__rows128(c, a, b, rows, k, n);
        return;
    }
#endif
    for (row = 0; row < rows; row++) nc_fixed__row(c + row * n, a + row * k, b, k, n);
}

/* The product in the field, each sum rescaled. */
static nc_status nc_fixed__matmul_field(nc_fixed *c, const nc_fixed *a, const nc_fixed *b, size_t m,
                                        size_t k, size_t n) {
    nc_status status = nc_gl_matmul(c, a, b, m, k, n);
    size_t e;
    if (status != NC_OK) return status;
    for (e = 0; e < m * n; e++) {
        NC_ASSERT(nc_fixed__check(a + e / n * k, b + e % n, n, k) == NC_OK);
        c[e] = nc_fixed_rescale(c[e]);
    }
    return NC_OK;
}

NC__COLD_BEGIN

NC_API nc_status nc_fixed_matmul(nc_fixed *c, const nc_fixed *a, const nc_fixed *b, size_t m,
                                 size_t k, size_t n) {
    return nc_fixed_matmul_within(c, a, nc_fixed__largest(a, m * k), b, nc_fixed__largest(b, k * n),
                                  m, k, n);
}

/* In integers where 32-bit factors and 63-bit sums hold all values. */
NC_API nc_status nc_fixed_matmul_within(nc_fixed *c, const nc_fixed *a, uint64_t most_a,
                                        const nc_fixed *b, uint64_t most_b, size_t m, size_t k,
                                        size_t n) {
    const uint64_t product = most_a * most_b; /* where both are below 2^31 */
    ptrdiff_t i;
    if (most_a >> 31 || most_b >> 31 || (k && product >= (UINT64_C(1) << 62) / k))
        return nc_fixed__matmul_field(c, a, b, m, k, n);
    if (nc_gl__overlap(c, m * n, a, m * k) || nc_gl__overlap(c, m * n, b, k * n)) return NC_ERR_ARG;
#ifdef _OPENMP
#pragma omp parallel for schedule(static) if (m > 16 && m * k * n > 1u << 21)
#endif
    for (i = 0; i < (ptrdiff_t)m; i += 16) {
        const size_t at = (size_t)i;
        nc_fixed__rows(c + at * n, a + at * k, b, nc_gl__least(m - at, 16), k, n, product * k);
    }
    return NC_OK;
}

NC__COLD_END

/* -- softmax and layer norm -- */

NC_API nc_status nc_fixed_softmax(nc_fixed *out, const nc_fixed *x, size_t n) {
    uint64_t sum = 0;
    int64_t top = INT64_MIN;
    size_t i;
    if (n > 65536) return NC_ERR_LIMIT;
    for (i = 0; i < n; i++) top = nc_gl_to_i64(x[i]) > top ? nc_gl_to_i64(x[i]) : top;
    for (i = 0; i < n; i++) { /* each at most 2^46, so the sum at most 2^62 */
        out[i] = nc_fixed__exp_negative((uint64_t)top - (uint64_t)nc_gl_to_i64(x[i]));
        sum += out[i];
    }
    for (i = 0; i < n && sum; i++) out[i] = nc_fixed__quotient(out[i], sum, NC_FIXED_SHIFT);
    return NC_OK;
}

/* w / n for n < 2^63, where the quotient fits 64 bits: long division, a bit a step. */
static NC__NOINLINE uint64_t nc_fixed__divide(nc_gl__wide w, uint64_t n) {
    uint64_t q = 0, r = w.hi % n;
    int i;
    for (i = 63; i >= 0; i--) {
        r = r << 1 | (w.lo >> i & 1);
        q = q << 1 | (uint64_t)(r >= n);
        if (r >= n) r -= n;
    }
    return q;
}

/* 1 / sqrt of a variance with 32 fractional bits, as inverse 2^-shift, inverse in [2^31, 2^32]. */
static uint64_t nc_fixed__inverse_sqrt(uint64_t variance, int *shift) {
    uint64_t rest, root;
    int up = 0;
    while (variance >> 62 == 0) { /* an even power of two that fills the word */
        variance <<= 2;
        up++;
    }
    root = nc_fixed__isqrt(0, variance, &rest); /* in [2^31, 2^32), 16 + up fractional bits */
    *shift = 63 - 16 - up;
    return (UINT64_C(1) << 63) / root;
}

NC_API nc_status nc_fixed_layer_norm(nc_fixed *out, const nc_fixed *x, size_t n,
                                     const nc_fixed *gamma, const nc_fixed *beta,
                                     nc_fixed epsilon) {
    const int64_t limit = INT64_C(1) << 31;
    int64_t sum = 0, first, mean, d, half = (int64_t)(n / 2);
    nc_gl__wide squares = nc_gl__wide_make(0, 0);
    uint64_t variance, inverse;
    int shift;
    size_t i;
    if (n == 0 || n >> 31 || nc_fixed__negative(epsilon) || epsilon >> 40) return NC_ERR_ARG;
    first = nc_gl_to_i64(x[0]);
    for (i = 0; i < n; i++) { /* differences from the first are summed: 2^31 below 2^32 fit */
        d = nc_gl_to_i64(x[i]);
        if ((d < first ? (uint64_t)first - (uint64_t)d : (uint64_t)d - (uint64_t)first) >> 32)
            return NC_ERR_LIMIT;
        sum += d - first;
    }
    mean = first + (sum >= 0 ? sum + half : sum - half) / (int64_t)n;
    for (i = 0; i < n; i++) {
        d = nc_gl_to_i64(x[i]) - mean;
        if (d >= limit || d <= -limit) return NC_ERR_LIMIT;
        squares = nc_gl__wide_add(squares, (uint64_t)(d * d));
    }
    variance = nc_fixed__divide(squares, n) + (epsilon << 16);
    if (variance == 0) return NC_ERR_MATH;
    inverse = nc_fixed__inverse_sqrt(variance, &shift);
    for (i = 0; i < n; i++) {
        uint64_t normal;
        int negative;
        d = nc_gl_to_i64(x[i]) - mean;
        negative = d < 0;
        /* the product is below 2^63; 16 fractional bits of d stay, `shift` go */
        normal = nc_fixed__shift_round((uint64_t)(negative ? -d : d) * inverse, shift);
        out[i] = negative ? nc_gl_neg(normal) : normal;
        if (gamma) out[i] = nc_fixed_mul(out[i], gamma[i]);
        if (beta) out[i] = nc_gl_add(out[i], beta[i]);
    }
    return NC_OK;
}

#ifdef NC_GPU
/* >>gpu ============================================================================ */

struct nc_gl_gpu {
    nc_gpu *device;
    nc_allocator hooks;
    int custom_hooks;
    nc_gpu_buffer *twiddle[NC_GL_NTT_MAX_LOG2 + 1][2]; /* forward and inverse, once asked for */
    nc_gpu_buffer *scratch;                            /* of the largest transform so far */
    nc_gpu_buffer *constants[4];                       /* of Poseidon2, width 8, 12, 16; trident */
};

static const nc_allocator *nc_gl__gpu_hooks(const nc_gl_gpu *gpu) {
    return gpu->custom_hooks ? &gpu->hooks : NULL;
}

NC_API nc_status nc_gl_gpu_open(nc_gl_gpu **gpu, nc_gpu *device, const nc_allocator *hooks) {
    nc_gl_gpu *made;
    if (!gpu) return NC_ERR_ARG;
    *gpu = NULL;
    if (!device) return NC_ERR_ARG;
    made = (nc_gl_gpu *)nc__calloc(hooks, sizeof *made);
    if (!made) return NC_ERR_MEMORY;
    made->device = device;
    if (hooks) made->hooks = *hooks;
    made->custom_hooks = hooks != NULL;
    *gpu = made;
    return NC_OK;
}

NC_API void nc_gl_gpu_close(nc_gl_gpu *gpu) {
    nc_allocator hooks;
    int custom;
    size_t i;
    if (!gpu) return;
    for (i = 0; i <= NC_GL_NTT_MAX_LOG2; i++) {
        nc_gpu_buffer_destroy(gpu->device, gpu->twiddle[i][0]);
        nc_gpu_buffer_destroy(gpu->device, gpu->twiddle[i][1]);
    }
    for (i = 0; i < 4; i++) nc_gpu_buffer_destroy(gpu->device, gpu->constants[i]);
    nc_gpu_buffer_destroy(gpu->device, gpu->scratch);
    hooks = gpu->hooks;
    custom = gpu->custom_hooks;
    nc__free(custom ? &hooks : NULL, gpu, sizeof *gpu);
}

/* A buffer of n elements of a job; data may be null. */
static nc_gpu_buffer *nc_gl__job_buffer(nc_gpu_job *job, const nc_gl *data, size_t n) {
    return nc_gpu_job_buffer(job, data, n * sizeof(nc_gl), n * sizeof(nc_gl));
}

static int nc_gl__holds(const nc_gpu_buffer *buffer, uint64_t n) {
    return buffer && nc_gpu_buffer_bytes(buffer) / sizeof(nc_gl) >= n;
}

/* A buffer with this table that the device keeps until it is closed; null after a failure. */
static nc_gpu_buffer *nc_gl__gpu_keep(nc_gpu_job *job, nc_gpu_buffer **kept, const nc_gl *table,
                                      size_t n) {
    const size_t bytes = n * sizeof *table;
    if (job->status == NC_OK) job->status = nc_gpu_buffer_create(job->gpu, bytes, kept);
    if (job->status == NC_OK) job->status = nc_gpu_upload(job->gpu, *kept, 0, table, bytes);
    if (job->status != NC_OK) {
        nc_gpu_buffer_destroy(job->gpu, *kept);
        *kept = NULL;
    }
    return *kept;
}

/* Record out = a op b; buffers: a, b, c, out. */
static void nc_gl__gpu_vector(nc_gpu_job *job, nc_gl_operation operation,
                              nc_gpu_buffer *const buffers[4], size_t n) {
    uint32_t push[2];
    push[0] = (uint32_t)n;
    push[1] = (uint32_t)operation;
    nc_gpu_job_dispatch(job, "gl_vector", buffers, 4, push, sizeof push, (n + 255) / 256, 1, 1);
}

NC_API nc_status nc_gl_gpu_vector(nc_gl_gpu *gpu, nc_gl_operation operation, nc_gl *out,
                                  const nc_gl *a, const nc_gl *b, const nc_gl *c, size_t n) {
    nc_gpu_job job;
    if (!gpu || (unsigned)operation > NC_GL_MUL_ADD) return NC_ERR_ARG;
    if (n == 0) return NC_OK;
    if (!out || !a || !b || (operation == NC_GL_MUL_ADD && !c)) return NC_ERR_ARG;
    if (n >> 31) return NC_ERR_LIMIT;
    if (nc_gl__torn(out, a, n) || nc_gl__torn(out, b, n) || (c && nc_gl__torn(out, c, n)))
        return NC_ERR_ARG;
    nc_gpu_job_start(&job, gpu->device);
    (void)nc_gl__job_buffer(&job, a, n);
    (void)nc_gl__job_buffer(&job, b, n);
    (void)nc_gl__job_buffer(&job, c, c ? n : 1);
    (void)nc_gl__job_buffer(&job, NULL, n);
    nc_gl__gpu_vector(&job, operation, job.buffers, n);
    return nc_gpu_job_finish(&job, job.buffers[3], 0, out, n * sizeof *out);
}

NC_API nc_status nc_gl_gpu_buffer_vector(nc_gl_gpu *gpu, nc_gl_operation operation,
                                         nc_gpu_buffer *out, nc_gpu_buffer *a, nc_gpu_buffer *b,
                                         nc_gpu_buffer *c, size_t n) {
    nc_gpu_buffer *buffers[4];
    nc_gpu_job job;
    if (!gpu || (unsigned)operation > NC_GL_MUL_ADD) return NC_ERR_ARG;
    if (n >> 31) return NC_ERR_LIMIT;
    buffers[0] = a;
    buffers[1] = b;
    buffers[2] = c ? c : a;
    buffers[3] = out;
    if (!nc_gl__holds(out, n) || !nc_gl__holds(a, n) || !nc_gl__holds(b, n) ||
        (operation == NC_GL_MUL_ADD && !nc_gl__holds(c, n)))
        return NC_ERR_ARG;
    if (n == 0) return NC_OK;
    nc_gpu_job_start(&job, gpu->device);
    nc_gl__gpu_vector(&job, operation, buffers, n);
    return nc_gpu_job_finish(&job, NULL, 0, NULL, 0);
}

NC_API nc_status nc_gl_gpu_dot(nc_gl_gpu *gpu, const nc_gl *a, const nc_gl *b, size_t n,
                               nc_gl *out) {
    nc_gpu_buffer *result;
    nc_gpu_job job;
    nc_gl sums[1024];
    uint32_t push;
    size_t groups; /* four elements a thread at least, and enough groups for the widest devices */
    nc_status status;
    if (!gpu || !out) return NC_ERR_ARG;
    *out = 0;
    if (n == 0) return NC_OK;
    if (!a || !b) return NC_ERR_ARG;
    if (n >> 31) return NC_ERR_LIMIT;
    push = (uint32_t)n;
    groups = n < 1024 * 1024 ? (n + 1023) / 1024 : 1024;
    nc_gpu_job_start(&job, gpu->device);
    (void)nc_gl__job_buffer(&job, a, n);
    (void)nc_gl__job_buffer(&job, b, n);
    result = nc_gl__job_buffer(&job, NULL, groups);
    nc_gpu_job_dispatch(&job, "gl_dot", NULL, 3, &push, sizeof push, groups, 1, 1);
    status = nc_gpu_job_finish(&job, result, 0, sums, groups * sizeof *sums);
    if (status == NC_OK) *out = nc_gl_vec_sum(sums, groups);
    return status;
}

/* Record C = A B; buffers: a, b, c. */
static void nc_gl__gpu_multiply(nc_gpu_job *job, nc_gpu_buffer *const buffers[3], size_t m,
                                size_t k, size_t n, uint32_t fixed_point) {
    uint32_t push[4];
    push[0] = (uint32_t)m;
    push[1] = (uint32_t)n;
    push[2] = (uint32_t)k;
    push[3] = fixed_point;
    nc_gpu_job_dispatch(job, "gl_matmul", buffers, 3, push, sizeof push, (n + 31) / 32,
                        (m + 31) / 32, 1);
}

static int nc_gl__gpu_too_large(size_t m, size_t k, size_t n) {
    return m > 65535 * 32 || n > 65535 * 32 || k >> 31 || m * n >> 31 || m * k >> 31 || k * n >> 31;
}

static nc_status nc_gl__gpu_matmul(nc_gl_gpu *gpu, nc_gl *c, const nc_gl *a, const nc_gl *b,
                                   size_t m, size_t k, size_t n, uint32_t fixed_point) {
    nc_gpu_job job;
    if (!gpu) return NC_ERR_ARG;
    if (m == 0 || n == 0) return NC_OK;
    if (!c || (k && (!a || !b))) return NC_ERR_ARG;
    if (nc_gl__gpu_too_large(m, k, n)) return NC_ERR_LIMIT;
    if (nc_gl__overlap(c, m * n, a, m * k) || nc_gl__overlap(c, m * n, b, k * n)) return NC_ERR_ARG;
    nc_gpu_job_start(&job, gpu->device);
    (void)nc_gl__job_buffer(&job, k ? a : NULL, m * k);
    (void)nc_gl__job_buffer(&job, k ? b : NULL, k * n);
    (void)nc_gl__job_buffer(&job, NULL, m * n);
    nc_gl__gpu_multiply(&job, job.buffers, m, k, n, fixed_point);
    return nc_gpu_job_finish(&job, job.buffers[2], 0, c, m * n * sizeof *c);
}

NC_API nc_status nc_gl_gpu_matmul(nc_gl_gpu *gpu, nc_gl *c, const nc_gl *a, const nc_gl *b,
                                  size_t m, size_t k, size_t n) {
    return nc_gl__gpu_matmul(gpu, c, a, b, m, k, n, 0);
}

NC_API nc_status nc_fixed_gpu_matmul(nc_gl_gpu *gpu, nc_fixed *c, const nc_fixed *a,
                                     const nc_fixed *b, size_t m, size_t k, size_t n) {
    return nc_gl__gpu_matmul(gpu, c, a, b, m, k, n, 1);
}

NC_API nc_status nc_gl_gpu_buffer_matmul(nc_gl_gpu *gpu, nc_gpu_buffer *c, nc_gpu_buffer *a,
                                         nc_gpu_buffer *b, size_t m, size_t k, size_t n,
                                         int fixed_point) {
    nc_gpu_buffer *buffers[3];
    nc_gpu_job job;
    if (!gpu) return NC_ERR_ARG;
    if (nc_gl__gpu_too_large(m, k, n)) return NC_ERR_LIMIT;
    if (!nc_gl__holds(a, (uint64_t)m * k) || !nc_gl__holds(b, (uint64_t)k * n) ||
        !nc_gl__holds(c, (uint64_t)m * n) || c == a || c == b)
        return NC_ERR_ARG;
    if (m == 0 || n == 0) return NC_OK;
    buffers[0] = a;
    buffers[1] = b;
    buffers[2] = c;
    nc_gpu_job_start(&job, gpu->device);
    nc_gl__gpu_multiply(&job, buffers, m, k, n, fixed_point != 0);
    return nc_gpu_job_finish(&job, NULL, 0, NULL, 0);
}

/* How gl_ntt transforms 2^log2_n points: as few passes as their tiles of 2^11 points allow, of
 * 2^rows points each; where the table of powers behind each pass begins; elements of all tables. */
typedef struct nc_gl__passes {
    uint32_t log2_n, n, rows[4], outer[4];
    size_t elements;
} nc_gl__passes;

/* Elements of the tables for 32, 64 .. 2,048 rows. */
#define NC_GL__INNER_TWIDDLES 4064

/* The middle passes are the shorter ones: the first and the last move neighbours best when long. */
static nc_gl__passes nc_gl__gpu_passes(uint32_t log2_n) {
    static const uint32_t order[4] = {0, 3, 1, 2};
    nc_gl__passes p;
    uint32_t i, left = log2_n;
    memset(&p, 0, sizeof p);
    p.log2_n = log2_n;
    p.n = log2_n <= 11 ? 1 : log2_n <= 16 ? 2 : log2_n <= 24 ? 3 : 4;
    for (i = 0; i < p.n; i++)
        p.rows[order[i] < p.n ? order[i] : p.n - 1] = log2_n / p.n + (i < log2_n % p.n);
    p.elements = NC_GL__INNER_TWIDDLES;
    for (i = 0; i + 1 < p.n; i++) {
        left -= p.rows[i];
        p.outer[i] = (uint32_t)p.elements;
        p.elements += (size_t)17 << left;
    }
    return p;
}

/* The tables that gl_ntt reads, for roots of 1 or their inverses. The factor of an inverse stands
 * in those of the first pass. */
static nc_status nc_gl__gpu_fill_twiddles(nc_gl *out, const nc_gl__passes *p, int inverse) {
    uint32_t rows, pass, v, left = p->log2_n;
    nc_gl root, factor = 1;
    nc_status status = NC_OK;
    for (rows = 5; rows <= 11; rows++) {
        (void)nc_gl_root_of_unity(rows, &root);
        if (inverse) status = nc_gl_inv(root, &root);
        for (v = 0; v < 16; v++, out += (size_t)1 << (rows - 4))
            nc_gl_vec_powers(out, 1, nc_gl_pow(root, v), (size_t)1 << (rows - 4));
    }
    if (inverse && status == NC_OK) status = nc_gl_inv((nc_gl)1 << p->log2_n, &factor);
    for (pass = 0; pass + 1 < p->n; pass++) {
        (void)nc_gl_root_of_unity(left, &root);
        if (inverse && status == NC_OK) status = nc_gl_inv(root, &root);
        left -= p->rows[pass];
        for (v = 0; v <= 16; v++, out += (size_t)1 << left)
            nc_gl_vec_powers(out, pass == 0 && v < 16 ? factor : 1, nc_gl_pow(root, v),
                             (size_t)1 << left);
    }
    return status;
}

static nc_gpu_buffer *nc_gl__gpu_twiddles(nc_gl_gpu *gpu, nc_gpu_job *job, const nc_gl__passes *p,
                                          int inverse) {
    nc_gpu_buffer **kept = &gpu->twiddle[p->log2_n][inverse];
    nc_gl *table;
    if (*kept || job->status != NC_OK) return *kept;
    table = (nc_gl *)nc__alloc(nc_gl__gpu_hooks(gpu), p->elements * sizeof *table);
    if (!table) {
        job->status = NC_ERR_MEMORY;
        return NULL;
    }
    job->status = nc_gl__gpu_fill_twiddles(table, p, inverse);
    (void)nc_gl__gpu_keep(job, kept, table, p->elements);
    nc__free(nc_gl__gpu_hooks(gpu), table, p->elements * sizeof *table);
    return *kept;
}

/* A buffer of the job with the powers of a coset's shift, as gl_ntt reads them. */
static nc_gpu_buffer *nc_gl__gpu_shift(nc_gl_gpu *gpu, nc_gpu_job *job, uint32_t log2_n,
                                       nc_gl shift) {
    const size_t coarse = ((size_t)1 << log2_n >> 11) + 1, n = 2048 + coarse;
    nc_gpu_buffer *buffer = NULL;
    nc_gl *table = NULL;
    if (job->status != NC_OK) return NULL;
    table = (nc_gl *)nc__alloc(nc_gl__gpu_hooks(gpu), n * sizeof *table);
    if (!table) {
        job->status = NC_ERR_MEMORY;
        return NULL;
    }
    nc_gl_vec_powers(table, 1, shift, 2048);
    nc_gl_vec_powers(table + 2048, 1, nc_gl_pow(shift, 2048), coarse);
    buffer = nc_gl__job_buffer(job, table, n);
    nc__free(nc_gl__gpu_hooks(gpu), table, n * sizeof *table);
    return buffer;
}

/* gpu->scratch with room for n elements. */
static nc_gpu_buffer *nc_gl__gpu_scratch(nc_gl_gpu *gpu, nc_gpu_job *job, size_t n) {
    if (job->status != NC_OK) return NULL;
    if (gpu->scratch && nc_gpu_buffer_bytes(gpu->scratch) >= n * sizeof(nc_gl)) return gpu->scratch;
    nc_gpu_buffer_destroy(gpu->device, gpu->scratch);
    gpu->scratch = NULL;
    job->status = nc_gpu_buffer_create(gpu->device, n * sizeof(nc_gl), &gpu->scratch);
    return gpu->scratch;
}

/* The constants of gl_ntt, in its order. */
typedef struct nc_gl__ntt_push {
    uint32_t log2_n, log2_rows, columns, inverse;
    uint32_t in_by_rows, in_row, in_column, in_low, in_high;
    uint32_t out_by_rows, out_row, out_column, out_low, out_high;
    uint32_t low_bits, log2_second, log2_third, outer, coset, scaled, factor[2];
} nc_gl__ntt_push;

/* Where a pass reads and writes. `left`: log2 of the block that it transforms. A group takes
 * 2^log2_columns columns: neighbours, but transforms of the batch where there is one pass, and
 * first digits of the result in the last pass, so that it stores neighbours in natural order. */
static void nc_gl__gpu_ntt_places(nc_gl__ntt_push *push, const nc_gl__passes *p, uint32_t pass,
                                  uint32_t left) {
    const uint32_t rows = p->rows[pass], log2_columns = 11 - rows, stride = left - rows;
    const uint32_t last = pass + 1 == p->n;
    push->log2_rows = rows;
    push->outer = p->outer[pass];
    push->in_by_rows = last;
    push->out_by_rows = p->n == 1;
    push->in_row = stride;
    push->in_high = push->out_high = left;
    push->in_low = push->out_low = log2_columns;
    push->out_row = stride;
    push->columns = (uint32_t)1 << stride;
    push->low_bits = stride - log2_columns;
    if (!last) return;
    push->in_column = p->log2_n - p->rows[0];
    push->in_low = log2_columns + push->in_column;
    push->out_row = p->log2_n - rows;
    push->out_high = p->rows[0];
    push->columns = (uint32_t)1 << p->rows[0];
    push->low_bits = p->rows[0] - log2_columns;
    push->log2_second = p->rows[1];
    push->log2_third = p->n == 4 ? p->rows[2] : 0;
}

/* What all passes have in common. */
static void nc_gl__gpu_ntt_push(nc_gl__ntt_push *push, const nc_gl__passes *p, int inverse) {
    nc_gl factor;
    memset(push, 0, sizeof *push);
    (void)nc_gl_inv((nc_gl)1 << p->log2_n, &factor);
    push->log2_n = p->log2_n;
    push->inverse = (uint32_t)inverse;
    push->scaled = inverse && p->n == 1;
    push->factor[0] = (uint32_t)factor;
    push->factor[1] = (uint32_t)(factor >> 32);
}

/* Record `count` transforms from one buffer to another, which may be the same; of the coset of
 * `shift`, or for the inverse with the inverse of its shift. */
static void nc_gl__gpu_ntt_passes(nc_gl_gpu *gpu, nc_gpu_job *job, nc_gpu_buffer *from,
                                  nc_gpu_buffer *to, uint32_t log2_n, size_t count, nc_gl shift,
                                  int inverse) {
    const nc_gl__passes p = nc_gl__gpu_passes(log2_n);
    nc_gpu_buffer *buffers[4], *scratch = NULL;
    nc_gl__ntt_push push;
    uint32_t pass, left = log2_n;
    buffers[2] = buffers[3] = nc_gl__gpu_twiddles(gpu, job, &p, inverse);
    if (shift != 1) buffers[3] = nc_gl__gpu_shift(gpu, job, log2_n, shift);
    if (p.n > 1) scratch = nc_gl__gpu_scratch(gpu, job, count << log2_n);
    nc_gl__gpu_ntt_push(&push, &p, inverse);
    for (pass = 0; pass < p.n; pass++) {
        const uint32_t log2_columns = 11 - p.rows[pass];
        const int first = pass == 0, last = pass + 1 == p.n;
        size_t groups = (size_t)1 << log2_n >> 11, batch = count;
        nc_gl__gpu_ntt_places(&push, &p, pass, left);
        if (p.n == 1) { /* the batch is the columns */
            push.in_column = push.out_column = log2_n;
            push.in_low = push.out_low = 11;
            push.low_bits = 31;
            push.columns = (uint32_t)count;
            groups = (count + ((size_t)1 << log2_columns) - 1) >> log2_columns;
            batch = 1;
        }
        push.coset = shift == 1 ? 0 : first && !inverse ? 1 : last && inverse ? 2 : 0;
        buffers[0] = first ? from : scratch;
        buffers[1] = last ? to : scratch;
        nc_gpu_job_dispatch(job, "gl_ntt", buffers, 4, &push, sizeof push, groups, batch, 1);
        left -= p.rows[pass];
    }
}

/* Sizes that can be; shift becomes its inverse where that is needed. */
static nc_status nc_gl__gpu_ntt_check(const nc_gl_gpu *gpu, uint32_t log2_n, size_t count,
                                      nc_gl *shift, int inverse) {
    if (!gpu || log2_n > NC_GL_NTT_MAX_LOG2) return NC_ERR_ARG;
    if (count >> 31 || (uint64_t)count << log2_n >> 31 || (log2_n > 11 && count > 65535))
        return NC_ERR_LIMIT;
    *shift = nc_gl_from_u64(*shift);
    return inverse ? nc_gl_inv(*shift, shift) : NC_OK;
}

NC_API nc_status nc_gl_gpu_ntt_coset(nc_gl_gpu *gpu, nc_gl *x, uint32_t log2_n, size_t count,
                                     nc_gl shift, int inverse) {
    const nc_status status = nc_gl__gpu_ntt_check(gpu, log2_n, count, &shift, inverse);
    nc_gpu_buffer *data;
    nc_gpu_job job;
    if (status != NC_OK) return status;
    if (count == 0) return NC_OK;
    if (!x) return NC_ERR_ARG;
    nc_gpu_job_start(&job, gpu->device);
    data = nc_gl__job_buffer(&job, x, count << log2_n);
    nc_gl__gpu_ntt_passes(gpu, &job, data, data, log2_n, count, shift, inverse != 0);
    return nc_gpu_job_finish(&job, data, 0, x, (count << log2_n) * sizeof *x);
}

NC_API nc_status nc_gl_gpu_ntt(nc_gl_gpu *gpu, nc_gl *x, uint32_t log2_n, size_t count,
                               int inverse) {
    return nc_gl_gpu_ntt_coset(gpu, x, log2_n, count, 1, inverse);
}

NC_API nc_status nc_gl_gpu_buffer_ntt(nc_gl_gpu *gpu, nc_gpu_buffer *out, nc_gpu_buffer *in,
                                      uint32_t log2_n, size_t count, nc_gl shift, int inverse) {
    const nc_status status = nc_gl__gpu_ntt_check(gpu, log2_n, count, &shift, inverse);
    nc_gpu_job job;
    if (status != NC_OK) return status;
    if (!nc_gl__holds(in, (uint64_t)count << log2_n) ||
        !nc_gl__holds(out, (uint64_t)count << log2_n))
        return NC_ERR_ARG;
    if (count == 0) return NC_OK;
    nc_gpu_job_start(&job, gpu->device);
    nc_gl__gpu_ntt_passes(gpu, &job, in, out, log2_n, count, shift, inverse != 0);
    return nc_gpu_job_finish(&job, NULL, 0, NULL, 0);
}

/* Record permutations of `count` states from data on, or the nodes of a level of a tree: the kernel
 * of the instance, its constants and then its diagonal. */
static void nc_gl__gpu_poseidon2(nc_gl_gpu *gpu, nc_gpu_job *job, const nc_gl__permutation *p,
                                 nc_gpu_buffer *data, size_t count, uint32_t merkle) {
    static const char *const kernels[4] = {"gl_poseidon2_8", "gl_poseidon2_12", "gl_poseidon2_16",
                                           "gl_trident"};
    const size_t which = p->trident ? 3 : p->width / 4 - 2, n = 22 + 8 * p->width;
    nc_gpu_buffer *buffers[2];
    nc_gl table[22 + 9 * 16];
    uint32_t push[2];
    if (!gpu->constants[which]) {
        memcpy(table, p->constant, n * sizeof *table);
        memcpy(table + n, p->diagonal, p->width * sizeof *table);
        (void)nc_gl__gpu_keep(job, &gpu->constants[which], table, n + p->width);
    }
    buffers[0] = data;
    buffers[1] = gpu->constants[which];
    push[0] = (uint32_t)count;
    push[1] = merkle;
    nc_gpu_job_dispatch(job, kernels[which], buffers, 2, push, sizeof push, (count + 63) / 64, 1,
                        1);
}

/* The instance of a width (0: trident), null for another. */
static const nc_gl__permutation *nc_gl__gpu_instance(uint32_t width) {
    return width ? nc_gl__poseidon2_of(width) : &nc_gl__trident;
}

/* 2^27 states of 16 elements are what the kernels' 32-bit index reaches. */
NC_API nc_status nc_gl_gpu_permute(nc_gl_gpu *gpu, nc_gl *states, uint32_t width, size_t count) {
    const nc_gl__permutation *p = nc_gl__gpu_instance(width);
    nc_gpu_buffer *data;
    nc_gpu_job job;
    if (!gpu || !p) return NC_ERR_ARG;
    if (count == 0) return NC_OK;
    if (!states) return NC_ERR_ARG;
    if (count >> 27) return NC_ERR_LIMIT;
    nc_gpu_job_start(&job, gpu->device);
    data = nc_gl__job_buffer(&job, states, count * p->width);
    nc_gl__gpu_poseidon2(gpu, &job, p, data, count, 0);
    return nc_gpu_job_finish(&job, data, 0, states, count * p->width * sizeof *states);
}

NC_API nc_status nc_gl_gpu_buffer_permute(nc_gl_gpu *gpu, nc_gpu_buffer *states, uint32_t width,
                                          size_t count) {
    const nc_gl__permutation *p = nc_gl__gpu_instance(width);
    nc_gpu_job job;
    if (!gpu || !p) return NC_ERR_ARG;
    if (count >> 27) return NC_ERR_LIMIT;
    if (!nc_gl__holds(states, (uint64_t)count * p->width)) return NC_ERR_ARG;
    if (count == 0) return NC_OK;
    nc_gpu_job_start(&job, gpu->device);
    nc_gl__gpu_poseidon2(gpu, &job, p, states, count, 0);
    return nc_gpu_job_finish(&job, NULL, 0, NULL, 0);
}

/* Record a dispatch a level, from the leaves up. */
static void nc_gl__gpu_tree(nc_gl_gpu *gpu, nc_gpu_job *job, const nc_gl__hash *h,
                            nc_gpu_buffer *nodes, size_t n) {
    size_t level;
    for (level = n / 2; level > 0; level /= 2)
        nc_gl__gpu_poseidon2(gpu, job, h->permutation, nodes, level, 1);
}

/* The leaves go to the device, and all nodes come back at once. */
NC_API nc_status nc_gl_gpu_merkle_build(nc_gl_gpu *gpu, nc_gl_hash hash, nc_gl *nodes, size_t n) {
    const nc_gl__hash *h = nc_gl__hash_of(hash);
    const size_t d = 4;
    nc_gpu_buffer *data;
    nc_gpu_job job;
    nc_gl first[4];
    nc_status status;
    if (!gpu || !nc_gl__good_tree(h, n, nodes)) return NC_ERR_ARG;
    if (!h->permutation->constant) return NC_ERR_UNSUPPORTED; /* no Poseidon2 */
    if (n >> 27) return NC_ERR_LIMIT;
    memcpy(first, nodes, sizeof first); /* node 0 is not ours to change */
    nc_gpu_job_start(&job, gpu->device);
    data = nc_gl__job_buffer(&job, NULL, 2 * n * d);
    if (job.status == NC_OK)
        job.status = nc_gpu_upload(gpu->device, data, n * d * sizeof *nodes, nodes + n * d,
                                   n * d * sizeof *nodes);
    nc_gl__gpu_tree(gpu, &job, h, data, n);
    status = nc_gpu_job_finish(&job, data, 0, n > 1 ? nodes : NULL, n * d * sizeof *nodes);
    memcpy(nodes, first, sizeof first);
    return status;
}

NC_API nc_status nc_gl_gpu_buffer_merkle_build(nc_gl_gpu *gpu, nc_gl_hash hash,
                                               nc_gpu_buffer *nodes, size_t n) {
    const nc_gl__hash *h = nc_gl__hash_of(hash);
    const size_t d = 4;
    nc_gpu_job job;
    if (!gpu || !nc_gl__good_tree(h, n, nodes)) return NC_ERR_ARG;
    if (!h->permutation->constant) return NC_ERR_UNSUPPORTED;
    if (n >> 27) return NC_ERR_LIMIT;
    if (!nc_gl__holds(nodes, 2 * n * d)) return NC_ERR_ARG;
    if (n == 1) return NC_OK;
    nc_gpu_job_start(&job, gpu->device);
    nc_gl__gpu_tree(gpu, &job, h, nodes, n);
    return nc_gpu_job_finish(&job, NULL, 0, NULL, 0);
}
#endif /* NC_GPU */

#if defined(NC_GL__X86) && !defined(__clang__)
#pragma GCC pop_options
#pragma GCC diagnostic pop
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
