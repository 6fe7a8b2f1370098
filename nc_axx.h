/* nc_axx.h - neural networks on approximate 8-bit multipliers
   version 0.1.0 - MIT or public domain, see the end of the file

   Copy this file into your project, together with stb_ds.h (Debian: libstb-dev, or any copy
   beside this file). In ONE C or C++ file:

       #define NC_IMPLEMENTATION
       #include "nc_axx.h"

   Compile with: cc -O2 file.c -lm
   and -fopenmp for loops on all cores (the results are the same). With NC_AXX_VIT also copy
   nc_hlx.h; with NC_GPU also nc_gpu.h, which wants -ldl where dlopen is not in the C library (glibc
   before 2.34), and the kernels probe, axx_gemm, axx_im2col, axx_map and axx_terms built by
   `make kernels` (.spv for Vulkan, .ptx for CUDA).

   Quick example:

       #include <stdio.h>
       #define NC_IMPLEMENTATION
       #include "nc_axx.h"
       int main(void) {
           static nc_axx_mult m;
           nc_axx_metrics e;
           if (nc_axx_make(&m, "truncated:6", NULL) != NC_OK) return 1;
           nc_axx_measure(&m, &e);
           printf("%s: 37 * -5 = %d, mean error %.2f, worst %d\n", m.name,
                  (int)nc_axx_product(&m, 37, -5), e.mae, (int)e.wce);
           return 0;
       }

   Contents (search for the tag):
     >>types        multipliers, metrics, calibrators, shapes
     >>api          all functions, in the order of the sections below
     >>multipliers  published families, EvoApproxLib's by name; error metrics
     >>files        tables, C headers, CSV, .npy; netlists in C, Verilog and BLIF
     >>calibration  the range of a tensor's values
     >>quantisation float32 to bytes and back
     >>engines      sums of products, the fastest way that equals the table
     >>layers       linear, matmul, convolutions, forward and backward
     >>data         images and classes from CIFAR, IDX, CSV; resize, with NC_AXX_VIT
     >>networks     vision transformer and convolutional network, with NC_AXX_VIT
     >>graphs       networks of layers that the caller describes, with NC_AXX_VIT
     >>search       which layer gets which multiplier: tree, genetic, greedy; Pareto front
     >>gpu          the integer sums on Vulkan and CUDA, with NC_GPU
     >>changelog

   Options, defined before including:
     NC_API, NC_STATIC     how functions are declared; NC_STATIC makes all of them static
     NC_MALLOC, NC_FREE    memory while a file is read, of engines and models
     NC_REALLOC            with NC_FREE, what stb_ds.h grows its arrays with
     NC_STB_DS_EXTERNAL    another file compiles STB_DS_IMPLEMENTATION
     NC_NO_STDIO           no file access
     NC_MAX_FILE_BYTES     larger files are refused, not read
     NC_NO_SIMD            portable C only
     NC_AXX_VIT            also the networks (needs nc_hlx.h beside this file)
     NC_GPU                also the GPU functions (needs nc_gpu.h beside this file)

   To add a multiplier family NAME: its row in NC_AXX_FAMILIES and its function nc_axx__NAME below
   it; names, parser, ranges, --families of lut_convert and the tests of all families follow from
   the row. Its digits go into tests/axx_scalar.c.
   To add a form of file: its constant in nc_axx_form and its row in nc_axx__forms, which the
   compiler compares. To add a layer to a network: its row in NC_AXX__VIT_TABLE or
   NC_AXX__CNN_TABLE, and where the forward and backward pass use it. To add a kind of node to a
   graph: its row in NC_AXX_NODES and the two functions that it names.

   Conventions: operands are one byte, signed unless the multiplier says otherwise; the product of
   a and b is table[(a + 128) * 256 + (b + 128)], without the 128 for an unsigned operand.
   Matrices are row-major, images NCHW. Quantisation is symmetric: q = round(x * scale) with ties
   to even, and an integer sum s of products stands for s / (scale_x * scale_w).

   Exact, unless a comment below says otherwise: a product is the table's entry and sums of products
   are integers, the same on every machine, instruction set, device and number of threads; what is
   float32 or float64 (scales, gradients, metrics) is computed in a fixed order, so it has the same
   bits too. */

#ifndef NC_AXX_H
#define NC_AXX_H

/* The release that this file is of, as text and as numbers for #if; the same in every nc_*.h. */
#define NC_AXX_VERSION "0.1.0"
#define NC_AXX_VERSION_MAJOR 0
#define NC_AXX_VERSION_MINOR 1
#define NC_AXX_VERSION_PATCH 0

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

#ifdef NC_AXX_VIT
#include "nc_hlx.h"
#endif
#ifdef NC_GPU
#include "nc_gpu.h"
#endif

/* >>types ========================================================================== */

/* A multiplier as the table of all its products. 256 KiB: keep it static or on the heap. */
typedef struct nc_axx_mult {
    char name[48];
    float relative_power; /* exact = 1; 0 when nobody has published it */
    uint8_t a_unsigned;   /* the first operand is 0 to 255, not -128 to 127 */
    uint8_t b_unsigned;   /* the second */
    uint8_t a_bits;       /* 2 to 7: the first operand has so few bits, others stand for the nearest
                             that has; 0 and 8: all eight */
    uint8_t b_bits;       /* the second */
    int32_t table[65536];
} nc_axx_mult;

/* A multiplier of other widths, as the table of all its products: of operands of 2 to 12 bits, each
 * with its own width. Made by nc_axx_wide_create, _parse or _load, its table with it. */
typedef struct nc_axx_wide {
    char name[48];
    float relative_power; /* an exact one of 8 x 8 bits = 1; 0 when nobody has published it */
    uint8_t a_unsigned, b_unsigned;
    uint8_t a_bits, b_bits; /* 2 to 12 */
    int32_t *table; /* 2^(a_bits + b_bits) products by rows of the first operand, the least first */
} nc_axx_wide;

/* Error against the exact product, e = approximate - exact, over all pairs of operands: 65,536, and
 * 2^(a_bits + b_bits) of a multiplier of other widths. */
typedef struct nc_axx_metrics {
    double mae;  /* mean |e| */
    double wce;  /* largest |e| */
    double mre;  /* mean |e| / max(|exact|, 1), in percent */
    double ep;   /* share of pairs with e != 0, in percent */
    double mse;  /* mean e^2 */
    double rmse; /* its root */
    double bias; /* mean e */
    double wcre; /* largest |e| / max(|exact|, 1), in percent */
    /* The same over pairs whose exact product is not 0, as EvoApproxLib publishes MRE and WCRE. */
    double mre_nonzero, wcre_nonzero;
} nc_axx_metrics;

/* Published multipliers, a row each: constant, name, and the least and the most of the parameters P
 * and Q (0, 0: it has none). Signed operands go by sign and magnitude (0 to 128). */
#define NC_AXX_FAMILIES(FAMILY)                                                                    \
    /* the product */                                                                              \
    FAMILY(NC_AXX_EXACT, exact, 0, 0, 0, 0)                                                        \
    /* without the P lowest product columns */                                                     \
    FAMILY(NC_AXX_TRUNCATED, truncated, 0, 15, 0, 0)                                               \
    /* Mahdiani et al., 2010: without the carry-save cells in rows below P or columns below Q */   \
    FAMILY(NC_AXX_BROKEN_ARRAY, broken_array, 0, 8, 0, 15)                                         \
    /* Kulkarni, Gupta, Ercegovac, 2011: 2x2 blocks i, j with i + j < P give 3 * 3 = 7 */          \
    FAMILY(NC_AXX_KULKARNI, kulkarni, 0, 7, 0, 0)                                                  \
    /* Hashemi, Bahar, Reda, 2015: the P leading bits, the lowest set to unbias the cut */         \
    FAMILY(NC_AXX_DRUM, drum, 3, 8, 0, 0)                                                          \
    /* Mitchell, 1962: log2(1 + f) is taken as f */                                                \
    FAMILY(NC_AXX_MITCHELL, mitchell, 0, 0, 0, 0)                                                  \
    /* Babic, Avramovic, Bulic, 2011: leading powers of two, and P times those of the rests */     \
    FAMILY(NC_AXX_ITERATIVE_LOG, iterative_log, 0, 7, 0, 0)                                        \
    /* Zendegani et al., 2017: x'y + xy' - x'y', x' the power of two nearest to x (3: 2) */        \
    FAMILY(NC_AXX_ROBA, roba, 0, 0, 0, 0)                                                          \
    /* Narayanamoorthy et al., 2015: the low P bits if they hold x, else the high P of 8 */        \
    FAMILY(NC_AXX_STATIC_SEGMENT, static_segment, 4, 8, 0, 0)                                      \
    /* after Kyaw, Goh, Yeo, 2010: the product of the bits above P; below 2^(2P) ones from bit */  \
    /* P + i down, i the highest set of the P low bits of either; exact if all above P are 0 */    \
    FAMILY(NC_AXX_ERROR_TOLERANT, error_tolerant, 1, 7, 0, 0)

typedef enum nc_axx_family {
#define NC_AXX__CONSTANT(constant, name, p_low, p_high, q_low, q_high) constant,
    NC_AXX_FAMILIES(NC_AXX__CONSTANT)
#undef NC_AXX__CONSTANT
        NC_AXX_FAMILY_COUNT
} nc_axx_family;

/* Forms of a multiplier's file. Tables are in the order of nc_axx_mult.table. */
typedef enum nc_axx_form {
    NC_AXX_FORM_AUTO,    /* by the ending of the path: .i16 .i32 .npy .h .csv .c .blif .bin .v */
    NC_AXX_FORM_I16,     /* 131,072 bytes, little-endian; uint16 when both operands are unsigned */
    NC_AXX_FORM_I32,     /* 262,144 bytes, little-endian */
    NC_AXX_FORM_NPY,     /* NumPy, integers, 256 x 256 or 65,536 */
    NC_AXX_FORM_HEADER,  /* C array NAME[256][256] as TransAxx and AdaPT have it: both operands
                            index as unsigned bytes. TransAxx's own mul8s_1L2H.h has, where both
                            are negative, the products of their magnitudes: 12,414 others than
                            the circuit's, MAE 116.2 (53.3), WCE 32,384 (255) */
    NC_AXX_FORM_CSV,     /* 256 lines of 256 products, or 65,536 lines a,b,product; between , ; or
                            blanks. A line before may name the columns, # begins a comment; where
                            columns have numbers these are the second operand, 0 to 255 its bytes,
                            and a first column without a name numbers the lines */
    NC_AXX_FORM_NETLIST, /* C functions as EvoApproxLib and ArithsGen ship them: declarations,
                            assignments of | ^ & << >> + - * ~ ! == != < <= > >=, calls of functions
                            above, a return. Read only */
    NC_AXX_FORM_BLIF, /* inputs (a0..a7, b0..b7) and product bits from the lowest, with .subckt of
                            other models in the file. Read only */
    NC_AXX_FORM_BIN,  /* 131,072 bytes as TFApprox has them: uint16 by the bytes of the operands,
                            unsigned where nothing else is said */
    NC_AXX_FORM_VERILOG, /* a module of two inputs: wires, assign of & | ^ ~ ~^ + ?: {a, 4{b}},
                            gates, instances of modules in the file and of FAX1, HAX1, AND2X1 and
                            other cells of the 45 nm library of EvoApproxLib. Read only */
    NC_AXX_FORM_COUNT
} nc_axx_form;

/* Whose products a file holds. */
typedef enum nc_axx_sign {
    NC_AXX_SIGN_FILE, /* as the file says: see nc_axx_parse */
    NC_AXX_SIGN_SIGNED,
    NC_AXX_SIGN_UNSIGNED,
    NC_AXX_SIGN_COUNT
} nc_axx_sign;

/* How a multiplier is read; zeros are the usual way. */
typedef struct nc_axx_reading {
    nc_axx_sign sign; /* of both operands, and of the product */
    const char *unit; /* which function, module or model of the file is the multiplier; null: the
                         one that is called like the file, else the last, of BLIF the first */
    uint8_t bits[2];  /* of the operands, 2 to 12; 0: as the file says */
} nc_axx_reading;

/* Where a fact about a multiplier comes from. */
typedef enum nc_axx_origin {
    NC_AXX_FROM_NOTHING, /* assumed: signed operands, 8 bits */
    NC_AXX_FROM_OPTION,  /* nc_axx_reading */
    NC_AXX_FROM_NAME,    /* mul8s_.., mul8x4u_.. as in EvoApproxLib, s_arrmul8 as in ArithsGen */
    NC_AXX_FROM_TYPES    /* types of parameters; numbers of wires and of products */
} nc_axx_origin;

/* What was found in a multiplier's file. */
typedef struct nc_axx_report {
    char unit[48]; /* the function, module or model that is the multiplier; empty for a table */
    uint8_t a_unsigned, b_unsigned;
    uint8_t a_bits, b_bits;         /* of its operands */
    uint8_t sign_from, widths_from; /* nc_axx_origin */
    float milliwatts; /* of a line PDK45_PWR = .. mW as EvoApproxLib has it; 0: none */
    uint32_t differs; /* products other than those of the multiplier of nc_axx_published that the
                         file is called like */
    char text[96];    /* the same in words: "8 x 8 bits by name, signed by name" */
} nc_axx_report;

/* How a calibrator chooses amax. */
typedef enum nc_axx_calibration {
    NC_AXX_CALIBRATE_MAX,
    NC_AXX_CALIBRATE_PERCENTILE,
    NC_AXX_CALIBRATE_MSE,
    NC_AXX_CALIBRATE_ENTROPY,
    NC_AXX_CALIBRATION_COUNT
} nc_axx_calibration;

enum { NC_AXX_BINS = 2048, NC_AXX_CALIBRATOR_BYTES = 32 + 8 * NC_AXX_BINS };

/* Histogram of magnitudes over batches: bin i counts i / 2048 <= |x| / 2^exponent < (i + 1) / 2048.
 * The range grows by doubling, which joins bins in pairs, so it always is what one pass over all
 * values would have given. */
typedef struct nc_axx_calibrator {
    int32_t exponent; /* 2^exponent is the least power of two above every |x|, from 2^-40 on */
    float amax;       /* largest |x| */
    uint64_t count;   /* values seen */
    uint64_t bins[NC_AXX_BINS];
} nc_axx_calibrator;

/* Shape of a convolution over NCHW images; 0 means 1 for stride, dilation and groups. */
typedef struct nc_axx_conv {
    size_t batch, in_channels, height, width;
    size_t out_channels, kernel_h, kernel_w;
    size_t stride_h, stride_w, padding_h, padding_w, dilation_h, dilation_w;
    size_t groups; /* divides both numbers of channels; in_channels: depthwise */
    /* rows and columns more at the end, or fewer below 0: of the padding, which then is padding +
     * extra there and not below 0; transposed: of the output */
    ptrdiff_t extra_h, extra_w;
} nc_axx_conv;

/* >>api ============================================================================ */

/* -- multipliers ---------------------------------------------------------------------------- */

/* Generate a multiplier of a family with its parameters (0 where it has fewer), of signed operands
 * or, with is_unsigned, of 0 to 255. Fills the name too, NAME_P_Q. NC_ERR_ARG for parameters out of
 * range. exact: the published definition for every pair of operands. */
NC_API nc_status nc_axx_generate(nc_axx_mult *m, nc_axx_family family, uint32_t p, uint32_t q,
                                 int is_unsigned);
/* The same from text: FAMILY[:P[:Q]] by the names above; then +unsigned for unsigned operands and
 * +compensated for nc_axx_compensate, in this order. Or a name of nc_axx_published, with its power.
 * NC_ERR_FORMAT with the column; *m is changed only on success. */
NC_API nc_status nc_axx_make(nc_axx_mult *m, const char *spec, nc_error *err);
/* A family's name and the ranges of its parameters, low[2] and high[2] (0, 0: it has none); null
 * for other numbers. Any output may be null. */
NC_API const char *nc_axx_family_info(nc_axx_family family, uint32_t low[2], uint32_t high[2]);
/* The signed 8-bit multipliers of EvoApproxLib (ehw.fit.vutbr.cz/evoapproxlib) by falling power:
 * mul8s_1KV8 (exact), 1KVA, 1L2H, 1KVL, 1L2D, 1KR3. A name, and its published power in PDK45 (exact
 * = 1; may be null); null beyond the last. */
NC_API const char *nc_axx_published(uint32_t index, float *relative_power);
/* Add a constant towards the exact products: the mean error of the products of two operands other
 * than 0, rounded, taken by the sign of the exact product; products stay within 32 bits. "+c" is
 * added to the name. */
NC_API void nc_axx_compensate(nc_axx_mult *m);
/* The multiplier of sign and magnitude round an unsigned one, for signed weights: table of sign(a)
 * sign(b) m(|a|, |b|). With a_unsigned only b has a sign, for activations that are never negative.
 * out may be m. NC_ERR_ARG when m is not unsigned, NC_ERR_LIMIT for a product of -2^31, whose
 * negative 32 bits do not hold, NC_ERR_MEMORY. */
NC_API nc_status nc_axx_signed(nc_axx_mult *out, const nc_axx_mult *m, int a_unsigned);
/* One product, operands in the multiplier's range; bits beyond a byte are dropped. exact: an entry
 * of the table. */
NC_API int32_t nc_axx_product(const nc_axx_mult *m, int a, int b);
/* Error metrics over all pairs. exact: sums in float64 over the table in its order. */
NC_API void nc_axx_measure(const nc_axx_mult *m, nc_axx_metrics *metrics);
/* counts[i] = pairs with an error in [lowest + i width, lowest + (i + 1) width); errors outside go
 * to the first or last of the n bins. NC_ERR_ARG for n or width 0. */
NC_API nc_status nc_axx_histogram(const nc_axx_mult *m, int32_t lowest, uint32_t width,
                                  uint32_t *counts, size_t n);
/* An exact multiplier of operands of 2 to 12 bits, whose table the caller may change. Free with
 * nc_axx_wide_destroy. NC_ERR_ARG for other widths, NC_ERR_MEMORY (12 x 12 bits: 64 MiB). */
NC_API nc_status nc_axx_wide_create(nc_axx_wide **wide, uint32_t a_bits, uint32_t b_bits,
                                    int is_unsigned);
/* Release; null is fine. */
NC_API void nc_axx_wide_destroy(nc_axx_wide *wide);
/* One product; higher bits of operands are dropped. exact: an entry of the table. */
NC_API int32_t nc_axx_wide_product(const nc_axx_wide *wide, int a, int b);
/* Error metrics over all pairs. exact: sums in float64 over the table in its order. */
NC_API void nc_axx_wide_measure(const nc_axx_wide *wide, nc_axx_metrics *metrics);
/* The same multiplier for operands of a byte: of fewer bits than 8 it has a_bits and b_bits, of
 * more the products of bytes are taken. */
NC_API void nc_axx_embed(nc_axx_mult *m, const nc_axx_wide *wide);

/* -- files ---------------------------------------------------------------------------------- */

/* Read a multiplier from the bytes of a file. Operands are signed or not as the name of the circuit
 * says (mul8s_.. in EvoApproxLib, s_.. in ArithsGen, with u unsigned), else the name given here,
 * else a C function's parameters; signed where nothing says it. The operands of a function or
 * circuit have the bits that name or types give them; other widths than 8 are refused (they are for
 * nc_axx_wide_parse), and so are adders and dividers. A table whose name says fewer bits than 8 has
 * a multiplier of so many. relative_power is filled in for the names of EvoApproxLib that have a
 * published one; else by a netlist's line PDK45_PWR, against 0.425 mW and, unsigned, 0.391 mW of
 * EvoApproxLib's exact 8-bit multipliers mul8s_1KV8 and mul8u_1JFF; else 0.
 * *m is changed only on success. Errors carry line and column: NC_ERR_FORMAT, NC_ERR_LIMIT (a
 * product beyond 32 bits, a netlist of more than 16,384 values or 1,048,576 gates),
 * NC_ERR_UNSUPPORTED (other widths, BLIF latches). form must not be AUTO. */
NC_API nc_status nc_axx_parse(nc_axx_mult *m, nc_axx_form form, const char *name, const void *data,
                              size_t bytes, nc_error *err);
/* The same with options (null: zeros) and what was found and assumed (may be null). NC_ERR_ARG for
 * a sign or widths out of range, NC_ERR_UNSUPPORTED for a table said to be of more than 8 bits.
 * exact: C integer arithmetic with int of 32 bits and long of 64. */
NC_API nc_status nc_axx_parse_with(nc_axx_mult *m, nc_axx_form form, const nc_axx_reading *how,
                                   const char *name, const void *data, size_t bytes,
                                   nc_axx_report *report, nc_error *err);
/* The bytes of a file; free with nc_axx_free_text. NC_ERR_LIMIT when a product does not fit 16 bits
 * (.i16, .bin), NC_ERR_UNSUPPORTED for forms that are only read, NC_ERR_ARG for AUTO and unknown
 * ones, NC_ERR_MEMORY. Text ends with a NUL not counted. */
NC_API nc_status nc_axx_write(const nc_axx_mult *m, nc_axx_form form, char **data, size_t *bytes,
                              nc_error *err);
/* Release what this library wrote to memory; null is fine. */
NC_API void nc_axx_free_text(char *data);
/* The same for operands of 2 to 12 bits, in a table of their widths. Those of a table are as asked,
 * else by its name, else by its size: 2^a_bits x 2^b_bits products, or a square one where the file
 * has no lines; lines a,b,product need one of the first two. The forms of tables are as nc_axx_form
 * says, with these numbers of lines and columns. Free with nc_axx_wide_destroy. */
NC_API nc_status nc_axx_wide_parse(nc_axx_wide **wide, nc_axx_form form, const nc_axx_reading *how,
                                   const char *name, const void *data, size_t bytes,
                                   nc_axx_report *report, nc_error *err);
/* As nc_axx_write. */
NC_API nc_status nc_axx_wide_write(const nc_axx_wide *wide, nc_axx_form form, char **data,
                                   size_t *bytes, nc_error *err);
/* The form that a path's ending stands for; NC_AXX_FORM_AUTO for none. */
NC_API nc_axx_form nc_axx_form_of(const char *path);
#ifndef NC_NO_STDIO
/* Read a file; the name is the file's, without folder and ending. */
NC_API nc_status nc_axx_load(nc_axx_mult *m, const char *path, nc_axx_form form, nc_error *err);
/* The same with options and report as in nc_axx_parse_with. */
NC_API nc_status nc_axx_load_with(nc_axx_mult *m, const char *path, nc_axx_form form,
                                  const nc_axx_reading *how, nc_axx_report *report, nc_error *err);
/* Write a file atomically. NC_ERR_ARG for AUTO with an ending that stands for no form. */
NC_API nc_status nc_axx_save(const nc_axx_mult *m, const char *path, nc_axx_form form,
                             nc_error *err);
/* nc_axx_wide_parse of a file. */
NC_API nc_status nc_axx_wide_load(nc_axx_wide **wide, const char *path, nc_axx_form form,
                                  const nc_axx_reading *how, nc_axx_report *report, nc_error *err);
/* As nc_axx_save. */
NC_API nc_status nc_axx_wide_save(const nc_axx_wide *wide, const char *path, nc_axx_form form,
                                  nc_error *err);
#endif

/* -- calibration ---------------------------------------------------------------------------- */

/* Largest |x| of n values; 0 for none. NaN and infinities are skipped. */
NC_API float nc_axx_amax(const float *x, size_t n);
/* Empty: nothing seen yet. A zeroed calibrator is empty too. */
NC_API void nc_axx_calibrator_reset(nc_axx_calibrator *c);
/* Count n more values; NaN and infinities are skipped. The order of values never matters. */
NC_API void nc_axx_calibrator_collect(nc_axx_calibrator *c, const float *x, size_t n);
/* Count what another has counted, exactly as if one had seen all. */
NC_API void nc_axx_calibrator_merge(nc_axx_calibrator *c, const nc_axx_calibrator *other);
/* The amax a method finds, for so many bits (2 to 8). `percent` is for NC_AXX_CALIBRATE_PERCENTILE,
 * 0 means 99.99. 0 when nothing was seen or an argument is out of range. Never above the largest
 * magnitude: edges below are multiples of a bin, and the last bin's is the largest magnitude
 * itself. The candidates of the last two are the edges from 128 bins up.
 *   percentile: the first edge with that share of the values below it
 *   mse: least mean square error of the bins' centres, quantised
 *   entropy: least Kullback-Leibler divergence of the clipped histogram from itself in 2^(bits-1)
 *     groups of bins (as TensorRT does; bin 0 counts as bin 1 does) */
NC_API float nc_axx_calibrator_amax(const nc_axx_calibrator *c, nc_axx_calibration method,
                                    double percent, uint32_t bits);
/* The amax of every row of a matrix (rows x columns) by a method, as of one calibrator for each: of
 * the output channels of weights; with one row, of a whole tensor. NC_ERR_ARG for a null pointer or
 * an argument out of range, NC_ERR_MEMORY. */
NC_API nc_status nc_axx_calibrate_rows(float *amax, const float *x, size_t rows, size_t columns,
                                       nc_axx_calibration method, double percent, uint32_t bits);
/* State as NC_AXX_CALIBRATOR_BYTES bytes with a checksum. */
NC_API void nc_axx_calibrator_save(const nc_axx_calibrator *c, uint8_t *bytes);
/* And back. NC_ERR_FORMAT for a wrong size or state, NC_ERR_MISMATCH for a damaged one. */
NC_API nc_status nc_axx_calibrator_load(nc_axx_calibrator *c, const uint8_t *bytes, size_t size);

/* -- quantisation --------------------------------------------------------------------------- */

/* (2^(bits-1) - 1) / amax, bits 2 to 12; 0 when amax is below 2^-24 or bits out of range: such a
 * tensor quantises to zeros. */
NC_API float nc_axx_scale(float amax, uint32_t bits);
/* The same for values of 0 and more in all bits: (2^bits - 1) / amax. */
NC_API float nc_axx_scale_unsigned(float amax, uint32_t bits);
/* q[i] = clamp(round(x[i] * scale), -2^(bits-1), 2^(bits-1) - 1), ties to even, NaN gives 0.
 * bits outside 2 to 8 are taken as 8. */
NC_API void nc_axx_quantize(int8_t *q, const float *x, size_t n, float scale, uint32_t bits);
/* The same clamped to 0 .. 2^bits - 1. */
NC_API void nc_axx_quantize_unsigned(uint8_t *q, const float *x, size_t n, float scale,
                                     uint32_t bits);
/* Rows of a matrix (rows x columns), each with its own scale from its largest magnitude; bits 2 to
 * 8. */
NC_API void nc_axx_quantize_rows(int8_t *q, float *scales, const float *x, size_t rows,
                                 size_t columns, uint32_t bits);
/* The same with the largest magnitude given for each row, for one from nc_axx_calibrate_rows. */
NC_API void nc_axx_quantize_rows_at(int8_t *q, float *scales, const float *amax, const float *x,
                                    size_t rows, size_t columns, uint32_t bits);
/* x[i] = q[i] / scale, 0 for a zero scale. q are int8, or uint8 with is_unsigned. */
NC_API void nc_axx_dequantize(float *x, const void *q, size_t n, float scale, int is_unsigned);
/* The same in 16 bits, for bits 2 to 12; outside they are taken as 12. amax is that of nc_axx_amax
 * or of a calibrator's maximum or percentile, which do not depend on bits. */
NC_API void nc_axx_quantize_wide(int16_t *q, const float *x, size_t n, float scale, uint32_t bits);
/* The same of operands from 0 on. */
NC_API void nc_axx_quantize_wide_unsigned(uint16_t *q, const float *x, size_t n, float scale,
                                          uint32_t bits);
/* As nc_axx_quantize_rows. */
NC_API void nc_axx_quantize_wide_rows(int16_t *q, float *scales, const float *x, size_t rows,
                                      size_t columns, uint32_t bits);
/* q are int16, or uint16 with is_unsigned. */
NC_API void nc_axx_dequantize_wide(float *x, const void *q, size_t n, float scale, int is_unsigned);

/* -- engines -------------------------------------------------------------------------------- */

/* A multiplier made ready for sums of many products. The table is split into terms f(a) g(b), each
 * summed by the processor's own multiply-adds, and a rest that is looked up many rows at a time;
 * whichever split is cheapest at the instruction set in use (nc_axx_set_simd) is taken once it has
 * been compared with all 65,536 entries. The sums are the same at every other, too. */
typedef struct nc_axx_engine nc_axx_engine;

/* How an engine works. */
typedef struct nc_axx_engine_info {
    uint32_t products; /* terms f(a) g(b); they may leave a constant, which needs no look-up */
    uint32_t planes;   /* bytes of the rest that are looked up: 0, 1, 2 or 4 */
    uint32_t classes;  /* different columns of the rest; 0 with planes: the table, one at a time */
    int32_t largest;   /* largest |product| of the table */
    char text[64];     /* the same in words */
    char name[48];     /* of the multiplier */
    float relative_power; /* of it: exact = 1; 0 when nobody has published it */
} nc_axx_engine_info;

/* Make one; the multiplier is not needed afterwards. Free with nc_axx_engine_destroy. NC_ERR_ARG
 * for a null pointer, NC_ERR_MEMORY (1.2 MiB), here and in the two below. */
NC_API nc_status nc_axx_engine_create(nc_axx_engine **engine, const nc_axx_mult *m);
/* The same with at most so many terms, -1: only look-ups of the whole table, one at a time. For
 * tests and measurements. */
NC_API nc_status nc_axx_engine_create_with(nc_axx_engine **engine, const nc_axx_mult *m,
                                           int most_products);
/* One of operands of 16 bits each (int16_t, or uint16_t where the multiplier is unsigned), of which
 * the multiplier's are used and others dropped: for nc_axx_gemm and all layers below, by look-ups
 * of the whole table, or by products where it is one of two factors (exact, segments). Networks
 * and GPUs take bytes only: nc_axx_embed. */
NC_API nc_status nc_axx_engine_create_wide(nc_axx_engine **engine, const nc_axx_wide *wide);
/* Release; null is fine. */
NC_API void nc_axx_engine_destroy(nc_axx_engine *engine);
/* What the engine found. */
NC_API void nc_axx_engine_describe(const nc_axx_engine *engine, nc_axx_engine_info *info);
/* Bytes of scratch for nc_axx_gemm; for any engine where it is null, here and in the functions of
 * this kind below. */
NC_API size_t nc_axx_gemm_work_bytes(const nc_axx_engine *engine, size_t m, size_t n, size_t k);
/* sums (m x n) = over k of product(x[i][k], w[j][k]): x is m x k, w is n x k, one byte each,
 * signed or not as the multiplier has it, two each with nc_axx_engine_create_wide. exact: 32-bit
 * sums on any number of threads. NC_ERR_ARG for null pointers or too little work memory,
 * NC_ERR_LIMIT when k times the largest product passes 2^31, of an engine of 16-bit operands when a
 * sum does. */
NC_API nc_status nc_axx_gemm(const nc_axx_engine *engine, const void *x, const void *w,
                             int32_t *sums, size_t m, size_t n, size_t k, void *work,
                             size_t work_bytes);
/* Force the instruction set: 0 portable C, 1 AVX2 or NEON, 2 AVX-512 with VBMI and VNNI or NEON
 * with dot products, -1 the best. Returns the level in use. For tests and measurements;
 * process-wide. */
NC_API int nc_axx_set_simd(int level);

/* -- layers: forward and backward ----------------------------------------------------------- */

/* Operands are bytes or 16 bits, as the engine's multiplier takes them; y and gradients float32. A
 * zero scale makes a product 0. work: scratch of the bytes that the function of that name gives.
 * Errors: NC_ERR_ARG for null pointers, impossible shapes and too little work memory, NC_ERR_LIMIT
 * for sums beyond 32 bits. exact: integer sums; one float32 rounding each for their conversion,
 * the product of the scales, the division and the bias. The backward functions give the gradients
 * of the exact operation on the dequantised operands (straight-through): dx is overwritten, dw and
 * db are added to; each may be null. */

/* y (rows x out) = sum over k of product(x[r][k], w[o][k]) / (x_scale w_scale[o]) + bias[o]. x is
 * rows x k, w is out x k, one scale for each output; bias may be null. */
NC_API nc_status nc_axx_linear(const nc_axx_engine *e, const void *x, float x_scale, const void *w,
                               const float *w_scale, const float *bias, float *y, size_t rows,
                               size_t k, size_t out, void *work, size_t work_bytes);
/* dx (rows x k), dw (out x k), db (out) from dy (rows x out). */
NC_API nc_status nc_axx_linear_backward(const nc_axx_engine *e, const void *x, float x_scale,
                                        const void *w, const float *w_scale, const float *dy,
                                        float *dx, float *dw, float *db, size_t rows, size_t k,
                                        size_t out, void *work, size_t work_bytes);
/* For both. */
NC_API size_t nc_axx_linear_work_bytes(const nc_axx_engine *e, size_t rows, size_t k, size_t out);

/* Product of two activations, `batch` times: y (m x n) = a (m x k) b^T with b n x k, or with
 * b_by_rows a b with b k x n. */
NC_API nc_status nc_axx_matmul(const nc_axx_engine *e, const void *a, float a_scale, const void *b,
                               float b_scale, int b_by_rows, float *y, size_t batch, size_t m,
                               size_t n, size_t k, void *work, size_t work_bytes);
/* da and db, overwritten, from dy. */
NC_API nc_status nc_axx_matmul_backward(const nc_axx_engine *e, const void *a, float a_scale,
                                        const void *b, float b_scale, int b_by_rows,
                                        const float *dy, float *da, float *db, size_t batch,
                                        size_t m, size_t n, size_t k, void *work,
                                        size_t work_bytes);
/* For both. */
NC_API size_t nc_axx_matmul_work_bytes(const nc_axx_engine *e, size_t m, size_t n, size_t k);

/* Height and width of the output. NC_ERR_ARG for a shape that has none, NC_ERR_LIMIT for sizes and
 * padding above 2^20 and for kernels, strides, dilations and extra above 4,096. Transposed: (h - 1)
 * stride - 2 padding + dilation (kernel - 1) + 1 + extra. */
NC_API nc_status nc_axx_conv_output(const nc_axx_conv *shape, int transposed, size_t *height,
                                    size_t *width);
/* y = convolution of x (batch, in_channels, height, width) with w (out_channels, in_channels /
 * groups, kernel); a scale and, unless null, a bias for every output channel. A padded place is the
 * operand 0, which goes through the multiplier as others do. */
NC_API nc_status nc_axx_conv2d(const nc_axx_engine *e, const nc_axx_conv *shape, const void *x,
                               float x_scale, const void *w, const float *w_scale,
                               const float *bias, float *y, void *work, size_t work_bytes);
/* Its gradients. */
NC_API nc_status nc_axx_conv2d_backward(const nc_axx_engine *e, const nc_axx_conv *shape,
                                        const void *x, float x_scale, const void *w,
                                        const float *w_scale, const float *dy, float *dx, float *dw,
                                        float *db, void *work, size_t work_bytes);
/* Transposed convolution: every input pixel adds its products to the places that a convolution
 * would read it from. w is (in_channels, out_channels / groups, kernel), with one scale for all of
 * it; bias is of every output channel, or null. */
NC_API nc_status nc_axx_conv2d_transposed(const nc_axx_engine *e, const nc_axx_conv *shape,
                                          const void *x, float x_scale, const void *w,
                                          float w_scale, const float *bias, float *y, void *work,
                                          size_t work_bytes);
/* Its gradients. */
NC_API nc_status nc_axx_conv2d_transposed_backward(const nc_axx_engine *e, const nc_axx_conv *shape,
                                                   const void *x, float x_scale, const void *w,
                                                   float w_scale, const float *dy, float *dx,
                                                   float *dw, float *db, void *work,
                                                   size_t work_bytes);
/* For all four. */
NC_API size_t nc_axx_conv_work_bytes(const nc_axx_engine *e, const nc_axx_conv *shape);

#ifdef NC_AXX_VIT

/* -- data: images and their classes from files (NC_AXX_VIT) --------------------------------- */

/* Images (count x channels x height x width, a byte each) and their classes. Owned: begin with
 * zeros, end with nc_axx_data_free. */
typedef struct nc_axx_data {
    uint8_t *pixels;
    uint32_t *labels;
    size_t count;
    uint32_t channels, height, width;
    uint32_t classes; /* of CIFAR 10 or 100, else the largest label + 1 */
} nc_axx_data;

typedef enum nc_axx_data_form {
    NC_AXX_DATA_AUTO,     /* by the content */
    NC_AXX_DATA_CIFAR10,  /* "binary version": records of a label and 3 x 32 x 32 bytes */
    NC_AXX_DATA_CIFAR100, /* the same with two labels, of which the second, the fine one, is read */
    NC_AXX_DATA_IDX,      /* MNIST and its family: bytes in 3 dimensions, labels in another file */
    NC_AXX_DATA_CSV,      /* a line an image: pixels and a label, between , ; or blanks. A line that
                             begins with a letter names the columns; # begins a comment */
    NC_AXX_DATA_FORMS
} nc_axx_data_form;

/* How a file is read; zeros are the usual way. */
typedef struct nc_axx_data_options {
    nc_axx_data_form form;
    size_t most;                      /* images, the first ones of the file; 0: all */
    int32_t label;                    /* CSV: column of the label from 1 on, -1: the last; 0: the
                                         one called label, class, target or y, else the first */
    uint32_t channels, height, width; /* CSV, a channel after the other; 0: 1, and a square */
    uint32_t largest;                 /* CSV: values above are refused; 0: 255 */
    const char *labels;               /* IDX: path of the labels; null: that of the images with
                                         "labels" and "idx1" for "images" and "idx3" */
} nc_axx_data_options;

/* Append what the bytes of a file hold; labels are the bytes of an IDX file's labels, else null.
 * how may be null. Nothing is changed on failure: NC_ERR_FORMAT with the record (CIFAR) or with
 * line and column (CSV), NC_ERR_MISMATCH for images of another shape or classes than those that are
 * there, NC_ERR_LIMIT for labels above 65,535. */
NC_API nc_status nc_axx_data_parse(nc_axx_data *d, const nc_axx_data_options *how, const void *data,
                                   size_t bytes, const void *labels, size_t label_bytes,
                                   nc_error *err);
#ifndef NC_NO_STDIO
/* The same from a file; of several, such as data_batch_1.bin and those behind it, one after the
 * other. */
NC_API nc_status nc_axx_data_load(nc_axx_data *d, const char *path, const nc_axx_data_options *how,
                                  nc_error *err);
#endif
/* Release; zeros again. */
NC_API void nc_axx_data_free(nc_axx_data *d);

/* How bytes become what a network sees; zeros are the defaults. */
typedef struct nc_axx_view {
    uint32_t channels; /* 3 of 1: each the same; 1 of 3: (19595 R + 38470 G + 7471 B) / 65536 */
    uint32_t height, width; /* 0: as in the data */
    uint32_t resize;        /* the shorter side is made so long, then height x width are cut out of
                               the middle; 0: the whole image is made height x width */
    uint32_t cubic;         /* 1: resize by cubics (a = -1/2), 0: linearly */
    float largest;          /* the byte that becomes 1; 0: 255 */
    float mean[4], deviation[4]; /* of every channel; deviation 0: 1 */
} nc_axx_view;

/* Planes of bytes to another size: triangles or cubics, as wide as the pixels of the smaller image,
 * over rows and over columns (antialiased). NC_ERR_ARG for a size of 0 or above 32,768,
 * NC_ERR_MEMORY. exact: the bytes of Pillow 13.0, weights of 22 bits; 11.3 differs by a rounding
 * where it takes rows first and 13.0 does not, which is if the height shrinks by more than twice
 * what the width does. */
NC_API nc_status nc_axx_resize(const uint8_t *pixels, size_t planes, size_t height, size_t width,
                               uint8_t *out, size_t out_height, size_t out_width, int cubic);
/* One image (channels x height x width) to out: (byte / largest - mean) / deviation, as
 * torchvision's Resize, CenterCrop, ToTensor and Normalize give it for one of Pillow's.
 * NC_ERR_ARG for channels that cannot be had, and where more is to be cut out than there is;
 * NC_ERR_MEMORY. */
NC_API nc_status nc_axx_view_image(const nc_axx_view *view, const uint8_t *pixels,
                                   uint32_t channels, uint32_t height, uint32_t width, float *out);
/* `count` images from the first on. NC_ERR_ARG for images that are not there, too. */
NC_API nc_status nc_axx_view_data(const nc_axx_view *view, const nc_axx_data *d, size_t first,
                                  size_t count, float *out);

/* -- networks: vision transformer, small convolutional network (NC_AXX_VIT, with nc_hlx.h) -- */

typedef enum nc_axx_net_kind {
    NC_AXX_NET_VIT, /* patches, class token or mean, blocks, head; names and options of timm's
                       VisionTransformer and VisionTransformerDistilled (1.0.31) */
    NC_AXX_NET_CNN /* depth convolutions of 3 x 3 with ReLU, channels dim, 2 dim, 4 dim .., stride 2
                       from the second on, mean over places, head */
} nc_axx_net_kind;

/* What stands between the two layers of a block's MLP. */
typedef enum nc_axx_activation {
    NC_AXX_GELU,       /* x Phi(x), by erf: most of timm's */
    NC_AXX_GELU_TANH,  /* nc_hlx_gelu: faster; timm's gelu_tanh */
    NC_AXX_GELU_QUICK, /* x sigmoid(1.702 x): CLIP's */
    NC_AXX_SILU        /* x sigmoid(x) */
} nc_axx_activation;

/* Shape of a network. Zeros are the defaults; the names in parentheses are timm's. */
typedef struct nc_axx_net_config {
    nc_axx_net_kind kind;
    uint32_t image;    /* height, and width unless that is given */
    uint32_t channels; /* 0: 1 */
    uint32_t classes;
    uint32_t dim;         /* width of tokens, or channels of the first convolution */
    uint32_t depth;       /* blocks, or convolutions (1 to 6) */
    uint32_t patch;       /* ViT: side of a patch, divides height and width */
    uint32_t heads;       /* ViT: divides dim unless head_dim is given */
    uint32_t mlp;         /* ViT: inputs of the MLP's last layer; 0: 4 dim */
    uint32_t mean_pool;   /* ViT: 1: no class token, mean of the patches' tokens instead; 2: a class
                            token, but the mean (global_pool="avg") */
    uint32_t batch;       /* most images at a time; 0: 32 */
    uint32_t bits;        /* of quantised operands, 2 to 8; 0: 8 */
    uint32_t activation;  /* ViT: one of nc_axx_activation */
    uint32_t width;       /* of an image, ViT; 0: as its height */
    uint32_t head_dim;    /* ViT: width of a head (attn_head_dim); 0: dim / heads */
    float eps;            /* of layer norms, below 1; 0: 1e-5. Most of timm's have 1e-6 */
    uint32_t no_qkv_bias; /* 1: attn.qkv has no bias */
    uint32_t no_proj_bias;    /* 1: nor have attn.proj, mlp.fc1 and mlp.fc2 */
    uint32_t post_norm;       /* 1: norm1 and norm2 behind attention and MLP (ResPostBlock), without
                           layer scales; the file is the same for both */
    uint32_t qk_norm;         /* 1: layer norm of every head's Q and K (attn.q_norm, attn.k_norm) */
    uint32_t layer_scale;     /* 1: what a block adds is multiplied by ls1.gamma and ls2.gamma
                                 (init_values; Touvron et al. 2021) */
    uint32_t gated;           /* of fc1's outputs one half, activated, multiplies the other: 1: both
                                 in fc1, the gate first (SwiGLUPacked), 2: in fc1_g and fc1_x
                                 (SwiGLU). With NC_AXX_SILU or NC_AXX_GELU_TANH */
    uint32_t registers;       /* tokens behind the class token (reg_tokens), at most 1,024 */
    uint32_t patch_positions; /* 1: only patches have positions (no_embed_class) */
    uint32_t pre_norm;        /* 1: norm_pre in front of the blocks, patch_embed without bias */
    uint32_t fc_norm;         /* 0: the last norm is of the tokens, 1: of what was pooled, called
                                 fc_norm, 2: there is none (final_norm=False) */
    uint32_t distilled;       /* 1: dist_token behind the class token, the mean of head and
                           head_dist (DeiT) */
    uint32_t inference;       /* 1: no memory for gradients, moments and what a training keeps of
                           every block: a quarter of the parameters' and one block's. What trains
                           gives NC_ERR_UNSUPPORTED then */
} nc_axx_net_config;

/* How its products are computed. */
typedef enum nc_axx_mode {
    NC_AXX_MODE_FLOAT,  /* float32 */
    NC_AXX_MODE_FAKE,   /* float32 products of quantised and dequantised operands */
    NC_AXX_MODE_INTEGER /* integers through each layer's engine */
} nc_axx_mode;

/* How one layer of a network, or one node of a graph, multiplies. Zeros are the defaults. */
typedef struct nc_axx_layer_options {
    nc_axx_mode mode;
    const nc_axx_engine *engine; /* in NC_AXX_MODE_INTEGER, of signed operands, alive as long as it
                                    is used; null: exact products */
    uint32_t bits;               /* of quantised operands, 2 to 8; 0: config.bits, of graphs 8 */
    uint32_t per_tensor; /* weights have 1: one scale, 0: one for every output channel (the weights
                              of transposed convolutions always one) */
    double weight_percent; /* a scale's amax is 0: the largest magnitude, else the percentile of the
                              magnitudes (above 0, at most 100) that a calibrator finds, in every
                              pass: larger weights are clipped */
} nc_axx_layer_options;

/* One of the places where a network or a graph multiplies: products of rows x terms with terms x
 * columns. */
typedef struct nc_axx_layer_info {
    char name[64];
    uint64_t macs;       /* for one image: products x rows x columns x terms */
    uint64_t parameters; /* weights and biases; 0 for a product of two activations */
    float amax[2];       /* of its operands, as calibrated; [1] for products of activations only */
    const char *kind;    /* "conv2d", "linear", "matmul": the names of NC_AXX_NODES */
    uint64_t products, rows, columns, terms; /* for one image; products: heads or groups */
    nc_axx_layer_options options;            /* bits: not 0 */
    char multiplier[48]; /* of options.engine; that a loaded file asks for where engine is null; ""
                            for exact products */
    float power;         /* of a product relative to an exact one: the multiplier's in
                            NC_AXX_MODE_INTEGER, 0 if nobody knows it; else 1 */
} nc_axx_layer_info;

/* Images (count x channels x image x width) and their classes. Not owned. */
typedef struct nc_axx_images {
    const float *pixels;
    const uint32_t *labels;
    size_t count;
} nc_axx_images;

/* What an evaluation counts. */
typedef struct nc_axx_score {
    double top1, top5;   /* share of the images, 0 to 1 */
    double loss;         /* mean cross-entropy */
    uint32_t *confusion; /* in: null, or classes x classes counters [label][answer], set */
} nc_axx_score;

/* How to train. Zeros are the defaults. */
typedef struct nc_axx_training {
    uint32_t epochs;    /* 0: 1 */
    uint32_t sgd;       /* 1: SGD with momentum; 0: AdamW */
    float lr;           /* 0: 1e-3 */
    float momentum;     /* SGD; 0: 0.9 */
    float weight_decay; /* of matrices and kernels: added to their gradient, decoupled in AdamW */
    float clip_norm;    /* all gradients are scaled to this norm when above it; 0: never */
    uint32_t warmup_steps; /* over so many steps lr rises, each by the same, to its value */
    uint32_t decay_epochs; /* after every so many epochs lr is multiplied by decay; 0: never */
    float decay;           /* 0: 0.1 */
    uint32_t cosine; /* 1: after the warm-up lr falls as half a cosine, to 0 after the last step */
    uint32_t shift;  /* images are moved by up to so many pixels each way, zeros come in: a crop of
                       the image padded by as many; below its height and width */
    uint32_t flip;   /* 1: half of the images are mirrored, left for right */
    uint32_t
        progressive; /* 1: the last layers are approximate first, earlier ones join by and by */
    uint64_t seed;   /* order of the images; shift and mirror of each by its number and the epoch */
    /* After every step, with its loss and the share of the batch that was right; null: none. Return
     * nonzero to stop: NC_ERR_CANCELLED. */
    int (*watch)(void *user, uint32_t step, uint32_t steps, float loss, float accuracy);
    void *user;
} nc_axx_training;

/* Parameters, gradients, moments, activations. Independent of other networks. */
typedef struct nc_axx_net nc_axx_net;

/* Make one, weights zero. Free with nc_axx_net_destroy. NC_ERR_ARG for an impossible shape,
 * NC_ERR_MEMORY. */
NC_API nc_status nc_axx_net_create(nc_axx_net **net, const nc_axx_net_config *config);
/* Release; null is fine. */
NC_API void nc_axx_net_destroy(nc_axx_net *net);
/* Weights about normal (deviation sqrt(1 / inputs), 0.02 for the tokens), norms 1 and 0, layer
 * scales 1e-5. */
NC_API void nc_axx_net_init(nc_axx_net *net, uint64_t seed);
/* The configuration with its defaults filled in. */
NC_API const nc_axx_net_config *nc_axx_net_get_config(const nc_axx_net *net);
/* Bytes of memory it holds: parameters, with what trains them, and activations of a batch. */
NC_API size_t nc_axx_net_bytes(const nc_axx_net *net);
/* All parameters. Gradients lie likewise. */
NC_API float *nc_axx_net_parameters(nc_axx_net *net, size_t *count);
/* Gradients of the last nc_axx_net_backward; null with config.inference. */
NC_API const float *nc_axx_net_gradients(const nc_axx_net *net);
/* Number of layers that multiply. */
NC_API uint32_t nc_axx_net_layers(const nc_axx_net *net);
/* One of them. NC_ERR_ARG beyond the last. */
NC_API nc_status nc_axx_net_layer(const nc_axx_net *net, uint32_t layer, nc_axx_layer_info *info);
/* The mode of all layers from now on, unless there is no such one; their other options stay. */
NC_API void nc_axx_net_set_mode(nc_axx_net *net, nc_axx_mode mode);
/* The engine of a layer in NC_AXX_MODE_INTEGER, which must live as long as it is used; null: exact
 * products. NC_ERR_ARG for an engine of unsigned or 16-bit operands or beyond the last layer. */
NC_API nc_status nc_axx_net_assign(nc_axx_net *net, uint32_t layer, const nc_axx_engine *engine);
/* Options of all layers whose names fit a pattern, from now on, in place of those they had: * in it
 * fits any characters, ? one. Layers fit by their name (blocks.0.fc1) or by that of their weights
 * (blocks.0.mlp.fc1). *count (may be null) gets their number. NC_ERR_ARG names the pattern that
 * fits no layer, or the option that is out of range; nothing is changed then. */
NC_API nc_status nc_axx_net_set(nc_axx_net *net, const char *pattern,
                                const nc_axx_layer_options *options, uint32_t *count,
                                nc_error *err);
/* A table of layers for people, a line each and one for all: name, kind, shape, MACs and their
 * share, mode, bits, scales of the weights, multiplier, power. The last power is that of all
 * products relative to exact ones, "unknown" where one is. Free with nc_axx_free_text. NC_ERR_ARG
 * for a null pointer, NC_ERR_MEMORY. */
NC_API nc_status nc_axx_layer_table(const nc_axx_layer_info *layers, uint32_t count, char **text,
                                    size_t *bytes);
/* That of a network. */
NC_API nc_status nc_axx_net_table(const nc_axx_net *net, char **text, size_t *bytes);
/* Power of an assignment relative to exact products: sum of MACs times power, over all MACs. */
NC_API double nc_axx_net_power(const nc_axx_net *net, const float *power_of_layer);
/* Amax of every layer's activations from images in float32, for the bits it has, by a method and
 * percent as in nc_axx_calibrator_amax. Weights need none: they are quantised whenever they are
 * used. NC_ERR_ARG for a method or percent out of range and without images, NC_ERR_MEMORY. */
NC_API nc_status nc_axx_net_calibrate(nc_axx_net *net, const nc_axx_images *images,
                                      nc_axx_calibration method, double percent);
/* Logits (count x classes) of at most config.batch images. NC_ERR_LIMIT beyond. NC_ERR_ARG where a
 * layer is quantised but the network not calibrated, or where one of a loaded file waits for its
 * multiplier. */
NC_API nc_status nc_axx_net_forward(nc_axx_net *net, const float *pixels, size_t count,
                                    float *logits);
/* Forward and backward: mean cross-entropy, gradients (straight-through where quantised) and, if
 * right is not null, how many answers were right. NC_ERR_UNSUPPORTED with config.inference. */
NC_API nc_status nc_axx_net_backward(nc_axx_net *net, const float *pixels, const uint32_t *labels,
                                     size_t count, float *loss, uint32_t *right);
/* Accuracy on all images. */
NC_API nc_status nc_axx_net_evaluate(nc_axx_net *net, const nc_axx_images *images,
                                     nc_axx_score *score);
/* Train in the present mode. NC_ERR_ARG for a shift as large as the image and settings that are
 * negative or not finite; NC_ERR_LIMIT for 2^32 steps and more; NC_ERR_UNSUPPORTED with
 * config.inference; NC_ERR_MEMORY. */
NC_API nc_status nc_axx_net_train(nc_axx_net *net, const nc_axx_images *images,
                                  const nc_axx_training *training);
/* Set this share (0 to 1) of every weight matrix, the smallest magnitudes, to zero, where training
 * keeps them; 0 lets all go. */
NC_API nc_status nc_axx_net_prune(nc_axx_net *net, double share);
/* Parameters as safetensors (float32) and, as metadata, the calibrated amax and, unless all are the
 * defaults, what no tensor shows of a transformer: heads, head_dim, image, width, mean_pool,
 * activation, post_norm, eps; and the options of every layer, unless all are the defaults, with the
 * multiplier's name. Free with nc_axx_free_text. */
NC_API nc_status nc_axx_net_save(const nc_axx_net *net, char **data, size_t *bytes, nc_error *err);
/* The configuration of a vision transformer from the names and shapes of its file's tensors, for
 * nc_axx_net_create and then nc_axx_net_load, which checks it. batch and bits stay as they are, and
 * in a file of others, where no tensor tells of them, eps, post_norm, activation (0 becomes
 * NC_AXX_SILU where gated), heads (0: of q_norm's width, else 64), image and width (0: a square).
 * With a class token and fc_norm the mean is pooled, which is timm's default, too: change mean_pool
 * where it is not. Networks of timm's class Eva (eva02_*, vit_*_rope_*, vit_*_dinov3, vit_pe_*),
 * whose attention turns Q and K by their places, are refused: by a tensor that only these have, or
 * by norm_pre without norm and fc_norm, which vit_pe_spatial_* alone has of timm's 1.0.31 (a
 * transformer of one's own like that needs nc_axx_net_save's metadata); so are, by a tensor's name,
 * those with convolutions in front (vit_*_r50_*, and vit_*_resnet50d_*, whose ONNX export
 * nc_axx_graph_from_onnx reads). NC_ERR_FORMAT, NC_ERR_LIMIT, NC_ERR_MISMATCH with what is missing,
 * NC_ERR_ARG with the field of which nc_axx_net_create could make nothing; config stays then. */
NC_API nc_status nc_axx_net_describe(nc_axx_net_config *config, const void *data, size_t bytes,
                                     nc_error *err);
/* Read one; the tensors of the file must be those of the network in their shapes, as F32, F16, BF16
 * or F64, each name with or without the prefix "module." of a data-parallel training. NC_ERR_FORMAT
 * with the column in the header; NC_ERR_MISMATCH names the first tensor that is unknown, missing or
 * of another shape, as well as an amax of an unknown layer or of some layers only and an option in
 * the metadata that this network has not, or says that the file is of timm's class Eva (see
 * nc_axx_net_describe). Options of layers are set as the file has them, if it has any: a layer
 * whose engine is not of the multiplier that it names has none then, and computes no integers until
 * nc_axx_net_set or nc_axx_net_assign gives it one. Nothing is changed on failure. */
NC_API nc_status nc_axx_net_load(nc_axx_net *net, const void *data, size_t bytes, nc_error *err);

/* -- graphs: networks of layers that the caller describes (NC_AXX_VIT) ---------------------- */

/* What a node computes, a row each: constant, name, least and most inputs, least and most axes of
 * an input without the batch's, and which functions of the implementation plan and compute it. */
#define NC_AXX_NODES(NODE)                                                                         \
    /* the images: the first node, and no other */                                                 \
    NODE(NC_AXX_NODE_INPUT, input, 0, 0, 0, 0, given, nothing)                                     \
    /* a tensor NAME that is learned (tokens, positions), the same for every image */              \
    NODE(NC_AXX_NODE_PARAMETER, parameter, 0, 0, 0, 0, given, parameter)                           \
    /* channels, height, width; weight (out, channels / groups, kernel) */                         \
    NODE(NC_AXX_NODE_CONV2D, conv2d, 1, 1, 3, 3, convolution, convolution)                         \
    /* the same with weight (channels, out / groups, kernel) */                                    \
    NODE(NC_AXX_NODE_CONV2D_TRANSPOSED, conv2d_transposed, 1, 1, 3, 3, convolution, convolution)   \
    /* over the last axis; weight (out, width) */                                                  \
    NODE(NC_AXX_NODE_LINEAR, linear, 1, 1, 1, 4, linear, linear)                                   \
    /* (.., m, k) times (.., k, n), or with by_columns (.., n, k), times `factor` */               \
    NODE(NC_AXX_NODE_MATMUL, matmul, 2, 2, 2, 4, matmul, matmul)                                   \
    /* over the first axis, by running_mean and running_var (or nc_axx_graph_set_statistics) */    \
    NODE(NC_AXX_NODE_BATCH_NORM, batch_norm, 1, 1, 1, 4, norm, batch_norm)                         \
    /* over the last axis */                                                                       \
    NODE(NC_AXX_NODE_LAYER_NORM, layer_norm, 1, 1, 1, 4, norm, layer_norm)                         \
    NODE(NC_AXX_NODE_SOFTMAX, softmax, 1, 1, 1, 4, alike, softmax)                                 \
    NODE(NC_AXX_NODE_RELU, relu, 1, 1, 1, 4, alike, relu)                                          \
    NODE(NC_AXX_NODE_RELU6, relu6, 1, 1, 1, 4, alike, relu)                                        \
    /* x / (1 + e^-x) */                                                                           \
    NODE(NC_AXX_NODE_SILU, silu, 1, 1, 1, 4, alike, activation)                                    \
    /* by erf, and by tanh */                                                                      \
    NODE(NC_AXX_NODE_GELU, gelu, 1, 1, 1, 4, alike, activation)                                    \
    NODE(NC_AXX_NODE_GELU_TANH, gelu_tanh, 1, 1, 1, 4, alike, activation)                          \
    /* kernel, stride, padding (less than the kernel); padded places never are the largest, and */ \
    /* count as zeros in the mean unless exclude_padding */                                        \
    NODE(NC_AXX_NODE_MAX_POOL, max_pool, 1, 1, 3, 3, pool, pool)                                   \
    NODE(NC_AXX_NODE_MEAN_POOL, mean_pool, 1, 1, 3, 3, pool, pool)                                 \
    /* (channels, 1, 1), the mean over height and width */                                         \
    NODE(NC_AXX_NODE_GLOBAL_MEAN_POOL, global_mean_pool, 1, 1, 3, 3, global_pool, global_pool)     \
    /* two; an axis, counted from the last, is the same in both, or one lacks it or has 1 place */ \
    NODE(NC_AXX_NODE_ADD, add, 2, 2, 1, 4, pair, pair)                                             \
    /* along `axis`, the others alike */                                                           \
    NODE(NC_AXX_NODE_CONCAT, concat, 1, 64, 1, 4, concat, concat)                                  \
    /* to one axis; to `shape`; axes in the order `shape`: axis i is shape[i] of the input */      \
    NODE(NC_AXX_NODE_FLATTEN, flatten, 1, 1, 1, 4, flatten, nothing)                               \
    NODE(NC_AXX_NODE_RESHAPE, reshape, 1, 1, 1, 4, given, nothing)                                 \
    NODE(NC_AXX_NODE_PERMUTE, permute, 1, 1, 1, 4, permute, permute)                               \
    /* as add */                                                                                   \
    NODE(NC_AXX_NODE_MULTIPLY, multiply, 2, 2, 1, 4, pair, pair)                                   \
    /* x factor + term */                                                                          \
    NODE(NC_AXX_NODE_SCALE, scale, 1, 1, 1, 4, scale, scale)                                       \
    /* places `first` to first + out - 1 of `axis` */                                              \
    NODE(NC_AXX_NODE_SLICE, slice, 1, 1, 1, 4, slice, slice)                                       \
    /* 1 / (1 + e^-x); x / 6 + 1/2 within 0 to 1; x times that */                                  \
    NODE(NC_AXX_NODE_SIGMOID, sigmoid, 1, 1, 1, 4, alike, activation)                              \
    NODE(NC_AXX_NODE_HARD_SIGMOID, hard_sigmoid, 1, 1, 1, 4, alike, activation)                    \
    NODE(NC_AXX_NODE_HARD_SWISH, hard_swish, 1, 1, 1, 4, alike, activation)                        \
    NODE(NC_AXX_NODE_TANH, tanh, 1, 1, 1, 4, alike, activation)                                    \
    /* x within `least` and `most`; the gradient passes there, at both ends too */                 \
    NODE(NC_AXX_NODE_CLIP, clip, 1, 1, 1, 4, clip, clip)                                           \
    /* the input is places `first` and on of `axis`, which has `out`; `term` in the others */      \
    NODE(NC_AXX_NODE_PAD, pad, 1, 1, 1, 4, pad, pad)

typedef enum nc_axx_node_kind {
#define NC_AXX__CONSTANT(constant, name, least, most, least_axes, most_axes, plan, run) constant,
    NC_AXX_NODES(NC_AXX__CONSTANT)
#undef NC_AXX__CONSTANT
        NC_AXX_NODE_KINDS
} nc_axx_node_kind;

/* Padding that follows from the shapes: ceil(size / stride) places come out. */
typedef enum nc_axx_same {
    NC_AXX_SAME_NONE,  /* `padding` as given */
    NC_AXX_SAME_UPPER, /* an odd row or column of it at the end, as TensorFlow has it */
    NC_AXX_SAME_LOWER  /* at the start */
} nc_axx_same;

/* A node. Zeros are the defaults; members that its kind does not use are not looked at. */
typedef struct nc_axx_node {
    nc_axx_node_kind kind;
    const char *name;           /* up to 63 characters, unique; tensors are called NAME.weight,
                                  NAME.bias, NAME.running_mean, NAME.running_var. Null: "node" and
                                  its number */
    const uint32_t *inputs;     /* numbers of earlier nodes; null: the one before this. Copied */
    uint32_t input_count;       /* 0 with null */
    uint32_t out;               /* convolutions: channels; linear: columns; slice, pad: places */
    uint32_t kernel[2];         /* height, width; convolutions, pools */
    uint32_t stride[2];         /* 0: 1, of pools the kernel */
    uint32_t dilation[2];       /* 0: 1 */
    uint32_t padding[4];        /* top, left, bottom, right */
    uint32_t output_padding[2]; /* transposed: rows and columns more at the end */
    nc_axx_same same;           /* not transposed */
    uint32_t groups;            /* of convolutions; 0: 1 */
    uint32_t no_bias;           /* 1: convolutions and linear have no bias */
    uint32_t by_columns;        /* matmul */
    float factor;               /* matmul, scale; 0: 1 */
    float eps;                  /* norms; 0: 1e-5 */
    uint32_t exclude_padding;   /* mean_pool */
    uint32_t axis;              /* concat, slice, pad */
    uint32_t rank, shape[4];    /* input, parameter, reshape, permute: axes of one image */
    float term;                 /* scale, pad */
    uint32_t first;             /* slice, pad */
    float least, most;          /* clip; -INFINITY, INFINITY: no bound */
} nc_axx_node;

/* A node as it has become part of a graph. */
typedef struct nc_axx_node_info {
    char name[64];
    nc_axx_node_kind kind;
    uint32_t rank, shape[4]; /* of its values, for one image */
    uint64_t macs;           /* products for one image; 0 where nothing is multiplied */
    uint64_t parameters;
    uint32_t folded; /* 1: a batch norm that is part of the layer before */
    nc_axx_mode mode;
    float amax[2]; /* of its operands, as calibrated; [1] of matmul only */
} nc_axx_node_info;

/* A tensor of a graph: its name and shape, values in the graph. */
typedef struct nc_axx_tensor {
    const char *name;
    uint32_t rank;
    uint64_t shape[4];
    size_t count;
    float *values, *gradients; /* gradients: null unless the graph is for training */
} nc_axx_tensor;

/* Nodes, parameters, activations. Independent of other graphs. */
typedef struct nc_axx_graph nc_axx_graph;

/* Make an empty one. Free with nc_axx_graph_destroy. */
NC_API nc_status nc_axx_graph_create(nc_axx_graph **graph);
/* Release; null is fine. */
NC_API void nc_axx_graph_destroy(nc_axx_graph *graph);
/* Append a node; *number (may be null) gets its number, from 0 on. Shapes are worked out and
 * checked here: NC_ERR_ARG or NC_ERR_LIMIT with the node, the value and what is possible; the graph
 * then is as before. */
NC_API nc_status nc_axx_graph_add(nc_axx_graph *graph, const nc_axx_node *node, uint32_t *number,
                                  nc_error *err);
/* The last node is the output, and no more can be added: parameters are made, all zero (but the
 * weights and running_var of norms, 1), and memory for `batch` images. With `training` there are
 * gradients and all values are kept for them, else values that no later node needs make room for
 * others. NC_ERR_ARG for an empty graph, one that was finished, and nodes that nothing uses, by
 * name. */
NC_API nc_status nc_axx_graph_finish(nc_axx_graph *graph, uint32_t batch, int training,
                                     nc_error *err);
/* Number of nodes. */
NC_API uint32_t nc_axx_graph_nodes(const nc_axx_graph *graph);
/* One of them. NC_ERR_ARG beyond the last. */
NC_API nc_status nc_axx_graph_node(const nc_axx_graph *graph, uint32_t number,
                                   nc_axx_node_info *info);
/* The number of a node by its name, UINT32_MAX for none. */
NC_API uint32_t nc_axx_graph_find(const nc_axx_graph *graph, const char *name);
/* Number of tensors, in the order of their nodes; 0 before nc_axx_graph_finish. */
NC_API uint32_t nc_axx_graph_tensors(const nc_axx_graph *graph);
/* One of them. NC_ERR_ARG beyond the last. */
NC_API nc_status nc_axx_graph_tensor(const nc_axx_graph *graph, uint32_t index,
                                     nc_axx_tensor *tensor);
/* Batch norms become part of the convolution or linear layer before them, where no other node uses
 * that one: weights are multiplied, and the norm's bias becomes the layer's. *folded (may be null)
 * gets their number. Tensors are renumbered, and files saved before do not fit any more. exact: a
 * float32 rounding each for the root, the quotient, the products and the sums: values change by
 * roundings. NC_ERR_ARG before nc_axx_graph_finish. */
NC_API nc_status nc_axx_graph_fold(nc_axx_graph *graph, uint32_t *folded);
/* How a node's products are computed from now on; UINT32_MAX: all nodes'. NC_ERR_ARG for a node
 * without products. */
NC_API nc_status nc_axx_graph_set_mode(nc_axx_graph *graph, uint32_t number, nc_axx_mode mode);
/* Bits of a node's operands (or all nodes'), 2 to 8. NC_ERR_ARG for others and for a node without
 * products. */
NC_API nc_status nc_axx_graph_set_bits(nc_axx_graph *graph, uint32_t number, uint32_t bits);
/* The engine of a node (or all nodes) in NC_AXX_MODE_INTEGER, which must live as long as it is
 * used; null: exact products. NC_ERR_ARG for an engine of unsigned or 16-bit operands and for a
 * node without products. */
NC_API nc_status nc_axx_graph_assign(nc_axx_graph *graph, uint32_t number,
                                     const nc_axx_engine *engine);
/* Options of all nodes with products whose names fit a pattern, as nc_axx_net_set has them. */
NC_API nc_status nc_axx_graph_set(nc_axx_graph *graph, const char *pattern,
                                  const nc_axx_layer_options *options, uint32_t *count,
                                  nc_error *err);
/* How a node multiplies. NC_ERR_ARG for one without products. */
NC_API nc_status nc_axx_graph_layer(const nc_axx_graph *graph, uint32_t number,
                                    nc_axx_layer_info *info);
/* nc_axx_layer_table of all nodes with products. */
NC_API nc_status nc_axx_graph_table(const nc_axx_graph *graph, char **text, size_t *bytes);
/* Amax of the operands of all products, from so many images in float32, for the bits of each node;
 * as nc_axx_net_calibrate. */
NC_API nc_status nc_axx_graph_calibrate(nc_axx_graph *graph, const float *images, size_t count,
                                        nc_axx_calibration method, double percent);
/* The output (count x its shape) of at most `batch` images. NC_ERR_LIMIT beyond; NC_ERR_ARG where a
 * node is quantised but not calibrated, or waits for a loaded file's multiplier. exact: products
 * are chains of fma over the channels and kernel in their order, integer sums with an engine. */
NC_API nc_status nc_axx_graph_forward(nc_axx_graph *graph, const float *images, size_t count,
                                      float *output);
/* Gradients of all tensors, and of the images (null: not wanted), from that of the output (count x
 * its shape) of the last nc_axx_graph_forward, all overwritten; of quantised operands
 * straight-through. Those of running_mean and running_var are 0. NC_ERR_ARG for a graph that is
 * not for training or has no values yet. exact: chains of fma for products, sums in the order of
 * images, nodes from the last to the first. */
NC_API nc_status nc_axx_graph_backward(nc_axx_graph *graph, const float *doutput, float *dimages);
/* Weights of layers about normal, deviation sqrt(2 / inputs) of convolutions (He et al. 2015) and
 * sqrt(1 / inputs) of linear ones, 0.02 of parameters; biases 0, norms as nc_axx_graph_finish has
 * them. NC_ERR_ARG before that. */
NC_API nc_status nc_axx_graph_init(nc_axx_graph *graph, uint64_t seed);
/* 1: from now on batch norms normalise by the mean and variance of the batch (Ioffe, Szegedy 2015),
 * and nc_axx_graph_forward moves running_mean and running_var by a tenth towards them, the variance
 * that without bias, as PyTorch in training; 0, as at first: by the running ones. Calibration,
 * nc_axx_graph_evaluate and norms that are folded take the running ones always. NC_ERR_ARG before
 * nc_axx_graph_finish and for a graph that is not for training. */
NC_API nc_status nc_axx_graph_set_statistics(nc_axx_graph *graph, int by_batch);
/* Accuracy on all images; the output's values are the logits of the classes. NC_ERR_ARG for a label
 * beyond them and an output of more than one axis. */
NC_API nc_status nc_axx_graph_evaluate(nc_axx_graph *graph, const nc_axx_images *images,
                                       nc_axx_score *score);
/* Train in the present modes, as nc_axx_net_train: straight through quantised operands, whose amax
 * stays as it was calibrated. NC_ERR_ARG likewise, for a graph that is not for training, labels
 * beyond the classes, and shift or flip of what are not channels, height and width. */
NC_API nc_status nc_axx_graph_train(nc_axx_graph *graph, const nc_axx_images *images,
                                    const nc_axx_training *training);
/* All tensors as safetensors (float32) and, as metadata amax.NAME, what has been calibrated, and as
 * layer.NAME the nodes' options unless all are the defaults. Free with nc_axx_free_text. */
NC_API nc_status nc_axx_graph_save(const nc_axx_graph *graph, char **data, size_t *bytes,
                                   nc_error *err);
/* Read one: every tensor must be there in its shape, as F32, F16, BF16 or F64, and no other (but
 * num_batches_tracked of a norm, which PyTorch counts and nothing uses), each name with or without
 * the prefix "module." of a data-parallel training; every amax must be of a node that multiplies,
 * and options are taken as by nc_axx_net_load. NC_ERR_FORMAT with the column in the header,
 * NC_ERR_MISMATCH with the name. Nothing is changed on failure. */
NC_API nc_status nc_axx_graph_load(nc_axx_graph *graph, const void *data, size_t bytes,
                                   nc_error *err);

/* Shape of a Swin transformer (Liu et al., 2021) as timm's SwinTransformer has it: stages of blocks
 * whose attention stays in windows, shifted in every second block; between stages four tokens
 * become one of twice the width. Images are squares. */
typedef struct nc_axx_swin {
    uint32_t image; /* side; 0: 2^(stages - 1) patches for every place of the last stage's window */
    uint32_t channels, classes;
    uint32_t patch;     /* side */
    uint32_t dim;       /* of the first stage */
    uint32_t mlp;       /* inputs of the first stage's mlp.fc2; doubles from stage to stage */
    uint32_t stages;    /* 1 to 4; of each: */
    uint32_t depths[4]; /* blocks */
    uint32_t heads[4];
    uint32_t windows[4]; /* side, in tokens: divides the tokens' side */
} nc_axx_swin;

/* The shape from the names and shapes of a file's tensors. `image`, which no tensor tells, stays
 * unless it is 0. NC_ERR_FORMAT, NC_ERR_LIMIT, NC_ERR_MISMATCH, NC_ERR_ARG with what is missing or
 * impossible; config stays then. */
NC_API nc_status nc_axx_swin_describe(nc_axx_swin *config, const void *data, size_t bytes,
                                      nc_error *err);
/* Append its nodes to an empty graph, called as timm's modules are (layers.0.blocks.0.attn.qkv) and
 * attn.qk, attn.pv; attn.position_bias (heads, queries, keys) and attn.mask are parameters. Then
 * nc_axx_graph_finish. NC_ERR_ARG with the value that is impossible. */
NC_API nc_status nc_axx_graph_add_swin(nc_axx_graph *graph, const nc_axx_swin *config,
                                       nc_error *err);
/* Read timm's file into such a graph: as nc_axx_graph_load, but every relative_position_bias_table
 * is laid out as position_bias, and masks follow from the shape. nc_axx_graph_load reads what
 * nc_axx_graph_save has written of such a graph. */
NC_API nc_status nc_axx_graph_load_swin(nc_axx_graph *graph, const nc_axx_swin *config,
                                        const void *data, size_t bytes, nc_error *err);

/* A network in an ONNX file, as exporters write it. */
typedef struct nc_axx_onnx {
    const void *data; /* the file */
    size_t bytes;
    const void *external; /* the file of weights beside it, where it has one; else null */
    size_t external_bytes;
    uint32_t batch, training; /* as for nc_axx_graph_finish */
} nc_axx_onnx;

/* Make a graph of it, finished and with its weights. One input of float32, whose first axis is the
 * batch: 1, any number or a symbol in the file; one output; the operators' versions 7 to 26. Nodes
 * of the graph are called after their weights (conv1 of conv1.weight), as PyTorch's modules are.
 * What the output depends on is computed where it needs no image (shapes), and is else: Conv,
 * ConvTranspose of two axes, Gemm and MatMul by weights, MatMul of two, BatchNormalization,
 * LayerNormalization and Softmax over the last axis, Relu, Clip, Sigmoid, HardSigmoid (1/6),
 * HardSwish, Tanh, Gelu, MaxPool, AveragePool, GlobalAveragePool, ReduceMean, Add, Sub, Mul, Div by
 * constants, Concat, Flatten, Reshape, Squeeze, Unsqueeze, Transpose, Slice (steps of height and
 * width), Pad by a constant, Gather of neighbours, Split, Expand, Dropout, Identity; GELU by Erf,
 * x Sigmoid(x), layer norms in pieces and MatMul with Add are one node, as are zeros that Pad puts
 * around a convolution. Numbers that Add and Mul bring are learned, single ones
 * are not. What is not understood is refused with the node's name: NC_ERR_UNSUPPORTED; damaged
 * files with the byte (column) or the node: NC_ERR_FORMAT, NC_ERR_LIMIT; NC_ERR_IO with the name of
 * the file of weights that is missing. *graph is null then. */
NC_API nc_status nc_axx_graph_from_onnx(nc_axx_graph **graph, const nc_axx_onnx *file,
                                        nc_error *err);
#endif

/* -- search: which layer gets which multiplier ---------------------------------------------- */

/* What tree and genetic search give to layers that they leave open. */
typedef enum nc_axx_policy {
    NC_AXX_POLICY_LEARNED, /* what costs least accuracy for its power, as estimated */
    NC_AXX_POLICY_EVEN,    /* any candidate */
    NC_AXX_POLICY_POWER    /* a candidate in proportion to 1 / power */
} nc_axx_policy;

/* The problem. Zeros are the defaults. */
typedef struct nc_axx_search_config {
    uint32_t layers;       /* to assign, 1 to 1,024 */
    uint32_t candidates;   /* multipliers to choose from, 1 to 64 */
    const double *share;   /* of every layer in the work, adding up to 1 */
    const float *power;    /* relative power of every candidate */
    double least_accuracy; /* what a solution must keep */
    /* Accuracy of an assignment (a candidate for every layer), 0 to 1. Nonzero stops the search
     * with NC_ERR_CANCELLED. Never asked twice for the same. Must depend on nothing else. */
    int (*evaluate)(void *user, const uint8_t *assignment, double *accuracy);
    void *user;
    uint64_t seed;
    double exploration;      /* of the tree search; 0: 1 / (2 sqrt 2) */
    nc_axx_policy policy;    /* of tree and genetic search */
    uint32_t population;     /* of the genetic search; 0: 24 */
    nc_progress_fn progress; /* of a search; null: none */
    void *progress_user;
} nc_axx_search_config;

/* An assignment that was evaluated. */
typedef struct nc_axx_solution {
    const uint8_t *assignment; /* layers bytes, owned by the search */
    double accuracy, power;
} nc_axx_solution;

/* A search and all it has evaluated. */
typedef struct nc_axx_search nc_axx_search;

/* Make one; share and power are copied. Free with nc_axx_search_destroy. NC_ERR_ARG for a share or
 * power below 0 or from 10^6 on and for numbers out of their ranges, NC_ERR_MEMORY. */
NC_API nc_status nc_axx_search_create(nc_axx_search **search, const nc_axx_search_config *config);
/* Release; null is fine. */
NC_API void nc_axx_search_destroy(nc_axx_search *search);
/* Monte-Carlo tree search, a level for each layer, those with most work first. `rounds`
 * assignments are tried; the first are the candidates in all layers. With NC_AXX_POLICY_LEARNED
 * each layer then has the cheapest candidate once, among layers that use up part of what
 * accuracy may be lost; from these rounds the accuracy that a candidate costs in a layer is
 * estimated, and corrected by every further evaluation. A round descends, at each level with
 * chance 3/4, to the child with the greatest value + exploration * promise * sqrt(1 + N) / (1 +
 * n), after N visits of its parent and n of its own: the value is the mean of its assignments
 * and their best, from 0 for the parent's mean to 1 for the best of all; the promise is 1 or, as
 * the estimates have it, less. The layers below are filled for the least power that the accuracy
 * may pay for (estimates drawn at random, the wider the fewer evaluations they rest on), or
 * crossed from good assignments as in the genetic search. What earlier calls have found is built
 * on; no assignment is evaluated twice. NC_ERR_ARG when an accuracy is not from 0 to 1. */
NC_API nc_status nc_axx_search_mcts(nc_axx_search *search, uint32_t rounds);
/* Genetic search with the same first rounds and estimates: the fitness is 1/2 + (1 - power) / 2
 * where the accuracy suffices, else its half share of it; two parents by tournaments of two (one
 * in four is of the Pareto front), layers crossed evenly, one mutation in the mean; with
 * NC_AXX_POLICY_LEARNED then layers changed, those that save most for what they cost, until the
 * parent's accuracy and the estimates of what differs promise the accuracy to be kept. A child
 * takes the place of the worst of the population unless it is worse. */
NC_API nc_status nc_axx_search_genetic(nc_axx_search *search, uint32_t rounds);
/* From the candidate of the highest power everywhere, take the change of one layer to the next
 * lower power that saves most and keeps the accuracy, until none is left. */
NC_API nc_status nc_axx_search_greedy(nc_axx_search *search);
/* All assignments. NC_ERR_LIMIT above 65,536. */
NC_API nc_status nc_axx_search_exhaustive(nc_axx_search *search);
/* Number of assignments evaluated, in order. */
NC_API size_t nc_axx_search_count(const nc_axx_search *search);
/* One of them. NC_ERR_ARG beyond the last. */
NC_API nc_status nc_axx_search_get(const nc_axx_search *search, size_t index,
                                   nc_axx_solution *solution);
/* The lowest power that keeps the accuracy. NC_ERR_MATH when none does. */
NC_API nc_status nc_axx_search_best(const nc_axx_search *search, nc_axx_solution *solution);
/* The Pareto front, by rising power: no other has no more power and more accuracy. Up to `most`
 * are written; *count gets the number of all. NC_ERR_MEMORY. */
NC_API nc_status nc_axx_search_front(const nc_axx_search *search, nc_axx_solution *solutions,
                                     size_t most, size_t *count);
/* All evaluated assignments (front_only: those of the front) as CSV: accuracy,power, then the
 * candidates of all layers. Free with nc_axx_free_text. */
NC_API nc_status nc_axx_search_csv(const nc_axx_search *search, int front_only, char **text,
                                   size_t *bytes);
/* The same with a first line that names layers, candidates, seed, a fingerprint of all settings,
 * the number of assignments and a checksum: all that a search needs to go on. A new search of
 * the same problem reads it with nc_axx_search_load and makes the calls of the first again, in
 * their order: it goes its way again without evaluating anything, and on from where it was, to
 * the result of one that was never stopped, to the bit. Free with nc_axx_free_text. */
NC_API nc_status nc_axx_search_state(const nc_axx_search *search, char **text, size_t *bytes);
/* Read the CSV or the state of a search: its assignments count as evaluated. Errors with line and
 * column: NC_ERR_FORMAT, NC_ERR_LIMIT; NC_ERR_MISMATCH for a state of another problem or a damaged
 * one, a power that is not the assignment's, and another accuracy than is known. Nothing is changed
 * on failure. */
NC_API nc_status nc_axx_search_load(nc_axx_search *search, const char *text, size_t bytes,
                                    nc_error *err);
#ifndef NC_NO_STDIO
/* The state into a file, atomically: from `progress`, say, after every so many assignments. */
NC_API nc_status nc_axx_search_save(const nc_axx_search *search, const char *path, nc_error *err);
/* Load such a file, or CSV. */
NC_API nc_status nc_axx_search_resume(nc_axx_search *search, const char *path, nc_error *err);
#endif

#ifdef NC_GPU
/* -- gpu: the integer sums on a device of nc_gpu.h, the bits of the functions above --------- */

/* Kernels and the table of one multiplier on a device. */
typedef struct nc_axx_gpu nc_axx_gpu;

/* Load the kernels axx_gemm, axx_im2col, axx_map and axx_terms, and what an engine knows of its
 * multiplier to the device, where it stays until nc_axx_gpu_close; neither the device nor the
 * engine is owned. An engine that is products f(a) g(b) alone (nc_axx_engine_info: planes 0)
 * multiplies bytes there too, four at once where the device can, of 16 rows and columns or more;
 * else the table is looked up. NC_ERR_UNSUPPORTED when the products spread over more than 16 bits,
 * NC_ERR_DEVICE when a kernel is missing (nc_gpu_last_error says where it was looked for). */
NC_API nc_status nc_axx_gpu_open(nc_axx_gpu **gpu, nc_gpu *device, const nc_axx_engine *engine);
/* Release; null is fine. */
NC_API void nc_axx_gpu_close(nc_axx_gpu *gpu);
/* nc_axx_gemm for `batch` pairs of matrices. NC_ERR_ARG for a size of 0; NC_ERR_LIMIT from 2^31
 * operands or sums on, for more than 2^19 rows or columns and 65,535 pairs too; NC_ERR_MEMORY and
 * nc_gpu.h's, here and in the three below. */
NC_API nc_status nc_axx_gpu_gemm(nc_axx_gpu *gpu, const void *x, const void *w, int32_t *sums,
                                 size_t batch, size_t m, size_t n, size_t k);
/* nc_axx_linear. */
NC_API nc_status nc_axx_gpu_linear(nc_axx_gpu *gpu, const void *x, float x_scale, const void *w,
                                   const float *w_scale, const float *bias, float *y, size_t rows,
                                   size_t k, size_t out);
/* nc_axx_matmul. */
NC_API nc_status nc_axx_gpu_matmul(nc_axx_gpu *gpu, const void *a, float a_scale, const void *b,
                                   float b_scale, int b_by_rows, float *y, size_t batch, size_t m,
                                   size_t n, size_t k);
/* nc_axx_conv2d. */
NC_API nc_status nc_axx_gpu_conv2d(nc_axx_gpu *gpu, const nc_axx_conv *shape, const void *x,
                                   float x_scale, const void *w, const float *w_scale,
                                   const float *bias, float *y);
#endif

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

/* ==== nc index: the same block, to the letter, in every header that looks up by hash ===== */
#ifndef NC_INDEX_IMPLEMENTED
#define NC_INDEX_IMPLEMENTED
/* Ids below UINT32_MAX by their hash: open addressing, linear probing, at most half full.
 * What an id stands for, and whether it is the wanted one, only the caller knows. */
typedef struct nc__slot {
    uint32_t hash, id; /* id + 1; 0: empty */
} nc__slot;

typedef struct nc__index {
    const nc_allocator *hooks;
    nc__slot *slots;
    size_t room, used; /* room: a power of two, or 0 */
} nc__index;

/* splitmix64's finaliser (Steele, Lea, Flood 2014). */
static NC_UNUSED uint64_t nc__mix(uint64_t x) {
    x = (x ^ (x >> 30)) * UINT64_C(0xBF58476D1CE4E5B9);
    x = (x ^ (x >> 27)) * UINT64_C(0x94D049BB133111EB);
    return x ^ (x >> 31);
}

/* The next id with this hash, UINT32_MAX after the last; *at is the hash before the first call. */
static NC_UNUSED uint32_t nc__index_next(const nc__index *x, uint32_t hash, size_t *at) {
    while (x->room) {
        const nc__slot *s = &x->slots[(*at)++ & (x->room - 1)];
        if (!s->id) break;
        if (s->hash == hash) return s->id - 1;
    }
    return UINT32_MAX;
}

static NC_UNUSED void nc__index_put(nc__index *x, uint32_t hash, uint32_t id) {
    size_t at = hash;
    while (x->slots[at & (x->room - 1)].id) at++;
    x->slots[at & (x->room - 1)].hash = hash;
    x->slots[at & (x->room - 1)].id = id + 1;
    x->used++;
}

static NC_UNUSED void nc__index_free(nc__index *x) {
    nc__free(x->hooks, x->slots, x->room * sizeof *x->slots);
    x->slots = NULL;
    x->room = x->used = 0;
}

/* Add an id that is not there yet. 0: out of memory, and nothing has changed. */
static NC_UNUSED int nc__index_add(nc__index *x, uint32_t hash, uint32_t id) {
    if (2 * (x->used + 1) > x->room) {
        nc__index larger = *x;
        size_t i;
        larger.room = x->room ? 2 * x->room : 64;
        larger.used = 0;
        larger.slots =
            (nc__slot *)nc__calloc(x->hooks, nc__mul_size(larger.room, sizeof *larger.slots));
        if (!larger.slots) return 0;
        for (i = 0; i < x->room; i++)
            if (x->slots[i].id) nc__index_put(&larger, x->slots[i].hash, x->slots[i].id - 1);
        nc__index_free(x);
        *x = larger;
    }
    nc__index_put(x, hash, id);
    return 1;
}
#endif
/* ==== end of nc index =============================================================== */

/* ==== nc text: the same block, to the letter, in every header that reads or writes text == */
#ifndef NC_TEXT_IMPLEMENTED
#define NC_TEXT_IMPLEMENTED
/* Bytes that grow. After a failure every step does nothing, and status says why. */
typedef struct nc__buffer {
    const nc_allocator *hooks;
    char *data; /* a NUL follows the used bytes */
    size_t used, room;
    nc_status status;
} nc__buffer;

/* Room for so many more bytes, counted as used; null after a failure. */
static NC_UNUSED char *nc__buffer_add(nc__buffer *b, size_t bytes) {
    const size_t need = nc__add_size(nc__add_size(b->used, bytes), 1);
    if (b->status != NC_OK) return NULL;
    if (!b->data || need > b->room) {
        const size_t room = need / 2 > b->room ? need : nc__mul_size(need, 2);
        char *larger = (char *)nc__alloc(b->hooks, room);
        if (!larger) {
            b->status = NC_ERR_MEMORY;
            return NULL;
        }
        if (b->data) memcpy(larger, b->data, b->used);
        nc__free(b->hooks, b->data, b->room);
        b->data = larger;
        b->room = room;
    }
    b->used += bytes;
    b->data[b->used] = 0;
    return b->data + b->used - bytes;
}

static NC_UNUSED NC__NOINLINE void nc__buffer_put(nc__buffer *b, const void *data, size_t bytes) {
    char *to = nc__buffer_add(b, bytes);
    if (to && bytes) memcpy(to, data, bytes);
}

static NC_UNUSED void nc__buffer_le(nc__buffer *b, uint64_t value, size_t bytes) {
    char *to = nc__buffer_add(b, bytes);
    if (to) nc__put_le((uint8_t *)to, value, bytes);
}

/* As printf; no %f, %e or %g, whose decimal point is the locale's. */
#if defined(__GNUC__)
__attribute__((format(printf, 2, 3)))
#endif
static NC_UNUSED void
nc__buffer_print(nc__buffer *b, const char *format, ...) {
    char piece[256];
    va_list args;
    int n;
    va_start(args, format);
    n = vsnprintf(piece, sizeof piece, format, args);
    va_end(args);
    if (n >= (int)sizeof piece) {
        char *to = nc__buffer_add(b, (size_t)n);
        va_start(args, format);
        if (to) vsnprintf(to, (size_t)n + 1, format, args);
        va_end(args);
    } else if (n > 0) {
        nc__buffer_put(b, piece, (size_t)n);
    }
}

/* A number with so many significant digits as %g gives it, with a point in every locale; 9 digits
 * bring a float back, 17 a double. */
static NC_UNUSED void nc__print_real(char out[64], double value, int digits) {
    const char *from = out;
    char *to = out;
    (void)snprintf(out, 64, "%.*g", digits, value);
    for (; *from; from++)
        if (strchr("+-0123456789einfa", *from))
            *to++ = *from;
        else if (to == out || to[-1] != '.') /* a point may have several bytes */
            *to++ = '.';
    *to = 0;
}

static NC_UNUSED void nc__buffer_real(nc__buffer *b, double value, int digits) {
    char piece[64];
    nc__print_real(piece, value, digits);
    nc__buffer_put(b, piece, strlen(piece));
}

/* A JSON string, quoted. */
static NC_UNUSED void nc__buffer_quote(nc__buffer *b, const char *text) {
    nc__buffer_put(b, "\"", 1);
    for (; *text; text++) {
        if (*text == '"' || *text == '\\') nc__buffer_put(b, "\\", 1);
        if ((uint8_t)*text < 32)
            nc__buffer_print(b, "\\u%04x", (unsigned)(uint8_t)*text);
        else
            nc__buffer_put(b, text, 1);
    }
    nc__buffer_put(b, "\"", 1);
}

static NC_UNUSED void nc__buffer_free(nc__buffer *b) {
    nc__free(b->hooks, b->data, b->room);
    memset(b, 0, sizeof *b);
}

/* As it was before it got no memory: the next call may get some. */
static NC_UNUSED void nc__buffer_cut_back(nc__buffer *b, size_t used) {
    b->used = used;
    b->status = NC_OK;
}

/* Text that is read between two bounds. After a failure every step does nothing. */
typedef struct nc__text {
    const char *at, *end, *line_start;
    size_t line; /* from 1 */
    nc_error *err;
    nc_status status;
} nc__text;

static NC_UNUSED void nc__text_open(nc__text *t, const void *data, size_t bytes, nc_error *err) {
    memset(t, 0, sizeof *t);
    t->at = t->line_start = (const char *)data;
    t->end = t->at + bytes;
    t->line = 1;
    t->err = err;
}

/* The first failure, at any place; line 0: at none. */
#if defined(__GNUC__)
__attribute__((format(printf, 5, 0)))
#endif
static NC_UNUSED nc_status
nc__text_fail_at(nc__text *t, nc_status status, size_t line, size_t column, const char *format,
                 va_list args) {
    char message[sizeof t->err->message];
    if (t->status != NC_OK) return t->status;
    vsnprintf(message, sizeof message, format, args);
    return t->status = nc__fail(t->err, status, line, column, "%s", message);
}

/* The first failure, at the place that has been reached. */
#if defined(__GNUC__)
__attribute__((format(printf, 3, 4)))
#endif
static NC_UNUSED nc_status
nc__text_fail(nc__text *t, nc_status status, const char *format, ...) {
    va_list args;
    va_start(args, format);
    status =
        nc__text_fail_at(t, status, t->line, (size_t)(t->at - t->line_start) + 1, format, args);
    va_end(args);
    return status;
}

/* The character so far ahead, -1 beyond the end and after a failure. */
static NC_UNUSED int nc__peek(const nc__text *t, size_t ahead) {
    return t->status == NC_OK && (size_t)(t->end - t->at) > ahead ? (uint8_t)t->at[ahead] : -1;
}

/* One character on, over the end of a line too. */
static NC_UNUSED void nc__step(nc__text *t) {
    if (t->at == t->end) return;
    if (*t->at++ == '\n') {
        t->line++;
        t->line_start = t->at;
    }
}

static NC_UNUSED int nc__is_space(int c) { return c == ' ' || (c >= '\t' && c <= '\r'); }
static NC_UNUSED int nc__is_digit(int c) { return c >= '0' && c <= '9'; }
/* Letters of names in C and in netlists. */
static NC_UNUSED int nc__is_letter(int c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_';
}

static NC_UNUSED void nc__skip_space(nc__text *t) {
    while (nc__is_space(nc__peek(t, 0))) nc__step(t);
}

/* A decimal number in the C locale's form, read to the nearest double in every locale. */
static NC_UNUSED double nc__text_real(nc__text *t) {
    char piece[400], local[16], *end;
    size_t n = 0, digits = 0;
    double value;
    /* what this locale puts between 1 and 5 */
    const int point = snprintf(local, sizeof local, "%.1f", 1.5) - 2;
    for (;;) {
        const int c = nc__peek(t, digits);
        if (!nc__is_digit(c) && !(c > 0 && strchr("+-.eE", c))) break;
        digits++;
        if (n + 16 >= sizeof piece) {
            (void)nc__text_fail(t, NC_ERR_LIMIT, "a number of more than 380 characters");
            return 0.0;
        }
        if (c != '.') {
            piece[n++] = (char)c;
        } else {
            memcpy(piece + n, local + 1, (size_t)point);
            n += (size_t)point;
        }
    }
    piece[n] = 0;
    value = strtod(piece, &end);
    if (n == 0 || *end) {
        (void)nc__text_fail(t, NC_ERR_FORMAT, "expected a number");
        return 0.0;
    }
    t->at += digits;
    return value;
}

/* -- JSON (RFC 8259): a caller walks objects and arrays as it wants them:
 *        nc__json_expect(t, '{');
 *        for (first = 1; nc__json_more(t, '}', &first);) { nc__json_key(t, key, sizeof key); ... }
 */

/* White space of JSON: less than C's. */
static NC_UNUSED void nc__json_space(nc__text *t) {
    while (nc__peek(t, 0) > 0 && strchr(" \t\r\n", nc__peek(t, 0))) nc__step(t);
}

/* Take a mark if it is next. */
static NC_UNUSED int nc__json_take(nc__text *t, char mark) {
    nc__json_space(t);
    if (nc__peek(t, 0) != mark) return 0;
    t->at++;
    return 1;
}

static NC_UNUSED void nc__json_expect(nc__text *t, char mark) {
    if (!nc__json_take(t, mark)) (void)nc__text_fail(t, NC_ERR_FORMAT, "expected '%c'", mark);
}

/* Whether an object or array has another member: takes the comma before it, or the closing mark. */
static NC_UNUSED int nc__json_more(nc__text *t, char close, int *first) {
    if (nc__json_take(t, close)) return 0;
    if (!*first && !nc__json_take(t, ','))
        (void)nc__text_fail(t, NC_ERR_FORMAT, "expected ',' or '%c'", close);
    *first = 0;
    return t->status == NC_OK;
}

/* Four hexadecimal digits. */
static NC_UNUSED uint32_t nc__json_hex(nc__text *t) {
    uint32_t value = 0;
    int i;
    for (i = 0; i < 4; i++, t->at++) {
        const int c = nc__peek(t, 0), low = c | 32;
        if (!nc__is_digit(c) && !(low >= 'a' && low <= 'f')) {
            (void)nc__text_fail(t, NC_ERR_FORMAT, "expected four hexadecimal digits");
            return 0;
        }
        value = 16 * value + (uint32_t)(nc__is_digit(c) ? c - '0' : low - 'a' + 10);
    }
    return value;
}

/* A character of 1 .. 0x10FFFF as UTF-8; returns its bytes. */
static NC_UNUSED size_t nc__utf8_put(uint32_t u, char out[4]) {
    if (u < 0x80) {
        out[0] = (char)u;
        return 1;
    }
    out[0] = (char)(u < 0x800 ? 0xC0 | u >> 6 : u < 0x10000 ? 0xE0 | u >> 12 : 0xF0 | u >> 18);
    if (u >= 0x10000) out[1] = (char)(0x80 | (u >> 12 & 63));
    if (u >= 0x800) out[u < 0x10000 ? 1 : 2] = (char)(0x80 | (u >> 6 & 63));
    out[u < 0x800 ? 1 : u < 0x10000 ? 2 : 3] = (char)(0x80 | (u & 63));
    return u < 0x800 ? 2 : u < 0x10000 ? 3 : 4;
}

/* A character behind a backslash, as UTF-8; returns its bytes. */
static NC_UNUSED size_t nc__json_escape(nc__text *t, char out[4]) {
    static const char from[] = "\"\\/bfnrt", to[] = "\"\\/\b\f\n\r\t";
    const int c = nc__peek(t, 0);
    const char *simple = c > 0 ? strchr(from, c) : NULL;
    uint32_t u;
    t->at += c >= 0;
    out[0] = simple ? to[simple - from] : 0;
    if (simple) return 1;
    if (c != 'u') (void)nc__text_fail(t, NC_ERR_FORMAT, "an unknown escape");
    u = nc__json_hex(t);
    if (u >> 10 == 0x36 && nc__peek(t, 0) == '\\' && nc__peek(t, 1) == 'u') {
        uint32_t low;
        t->at += 2;
        low = nc__json_hex(t) ^ 0xDC00;
        if (low < 1024) u = 0x10000 + ((u & 1023) << 10) + low; /* else u stays half a character */
    }
    if (u >> 11 == 0x1B || u > 0x10FFFF || u == 0)
        (void)nc__text_fail(t, NC_ERR_FORMAT, "a character that is none");
    return t->status == NC_OK ? nc__utf8_put(u, out) : 0;
}

/* A string of any length: as much of it as fits into out, ended by NUL. Returns its whole length,
 * `room` or more where it did not fit. */
static NC_UNUSED size_t nc__json_string(nc__text *t, char *out, size_t room) {
    size_t length = 0, n, i;
    char piece[4];
    if (!nc__json_take(t, '"')) (void)nc__text_fail(t, NC_ERR_FORMAT, "expected a string");
    while (t->status == NC_OK && nc__peek(t, 0) != '"') {
        if (nc__peek(t, 0) < ' ') {
            (void)nc__text_fail(t, NC_ERR_FORMAT, "a string without an end");
            break;
        }
        piece[0] = *t->at++;
        n = piece[0] == '\\' ? nc__json_escape(t, piece) : 1;
        for (i = 0; i < n; i++, length++)
            if (length + 1 < room) out[length] = piece[i];
    }
    t->at += t->status == NC_OK;
    if (room) out[length < room ? length : room - 1] = 0;
    return length;
}

/* A string of any length, whole, appended with a NUL behind it. Returns its length. */
static NC_UNUSED size_t nc__json_whole(nc__text *t, nc__buffer *b) {
    nc__text ahead = *t;
    const size_t length = nc__json_string(&ahead, NULL, 0);
    char *to = ahead.status == NC_OK ? nc__buffer_add(b, length + 1) : NULL;
    if (ahead.status == NC_OK && !to) (void)nc__text_fail(t, NC_ERR_MEMORY, "out of memory");
    return nc__json_string(t, to, to ? length + 1 : 0);
}

/* A member's name and its colon; NC_ERR_LIMIT for one that does not fit. */
static NC_UNUSED void nc__json_key(nc__text *t, char *out, size_t room) {
    if (nc__json_string(t, out, room) >= room)
        (void)nc__text_fail(t, NC_ERR_LIMIT, "a name of more than %u bytes", (unsigned)room - 1);
    nc__json_expect(t, ':');
}

/* A natural number up to `most`. */
static NC_UNUSED uint64_t nc__json_natural(nc__text *t, uint64_t most) {
    uint64_t value = 0;
    const char *start;
    nc__json_space(t);
    for (start = t->at; nc__is_digit(nc__peek(t, 0)); t->at++) {
        const uint64_t digit = (uint64_t)(*t->at - '0');
        if (digit > most || value > (most - digit) / 10) {
            (void)nc__text_fail(t, NC_ERR_LIMIT, "a number above %llu", (unsigned long long)most);
            return 0;
        }
        value = 10 * value + digit;
    }
    if (t->at == start) (void)nc__text_fail(t, NC_ERR_FORMAT, "expected a natural number");
    if (t->status == NC_OK && *start == '0' && t->at > start + 1)
        (void)nc__text_fail(t, NC_ERR_FORMAT, "a number that begins with 0");
    return t->status == NC_OK ? value : 0;
}

/* An array of natural numbers, at most `most` of them; returns how many. */
static NC_UNUSED uint32_t nc__json_naturals(nc__text *t, uint64_t *out, uint32_t most) {
    uint32_t n = 0;
    int first = 1;
    nc__json_expect(t, '[');
    while (nc__json_more(t, ']', &first)) {
        const uint64_t value = nc__json_natural(t, UINT64_MAX);
        if (n == most) (void)nc__text_fail(t, NC_ERR_LIMIT, "more than %u numbers", (unsigned)most);
        if (n < most) out[n++] = value;
    }
    return n;
}

/* true, false, null or a number, to be passed over. */
static NC_UNUSED void nc__json_skip_word(nc__text *t) {
    static const char *const words[] = {"true", "false", "null"};
    const char *start = t->at;
    size_t n = 0, i, first;
    while (nc__is_letter(nc__peek(t, n)) || nc__is_digit(nc__peek(t, n)) ||
           (nc__peek(t, n) > 0 && strchr("+-.", nc__peek(t, n))))
        n++;
    for (i = 0; i < 3; i++) {
        if (n != strlen(words[i]) || memcmp(start, words[i], n) != 0) continue;
        t->at += n;
        return;
    }
    i = n && *start == '-';
    for (first = i; i < n && nc__is_digit(start[i]);) i++;
    if (i == first || (start[first] == '0' && i > first + 1)) n = i = 0;
    if (i < n && start[i] == '.')
        for (first = ++i; i < n && nc__is_digit(start[i]);) i++;
    if (i == first) n = 0;
    if (i < n && (start[i] | 32) == 'e') {
        if (++i < n && (start[i] == '+' || start[i] == '-')) i++;
        for (first = i; i < n && nc__is_digit(start[i]);) i++;
        if (i == first) n = 0;
    }
    if (n == 0 || i < n) (void)nc__text_fail(t, NC_ERR_FORMAT, "expected a value");
    t->at += t->status == NC_OK ? n : 0;
}

/* Any value, at most 64 arrays and objects deep, to be passed over. */
static NC_UNUSED void nc__json_skip(nc__text *t) {
    char close[64];
    int first[64], depth = 0;
    do {
        if (depth && !nc__json_more(t, close[depth - 1], &first[depth - 1])) {
            depth--;
            continue;
        }
        if (depth && close[depth - 1] == '}') {
            (void)nc__json_string(t, NULL, 0);
            nc__json_expect(t, ':');
        }
        nc__json_space(t);
        if (nc__peek(t, 0) == '{' || nc__peek(t, 0) == '[') {
            if (depth == 64) {
                (void)nc__text_fail(t, NC_ERR_LIMIT, "nested more than 64 deep");
                return;
            }
            first[depth] = 1;
            close[depth++] = *t->at++ == '{' ? '}' : ']';
        } else if (nc__peek(t, 0) == '"') {
            (void)nc__json_string(t, NULL, 0);
        } else {
            nc__json_skip_word(t);
        }
    } while (depth && t->status == NC_OK);
}
#endif
/* ==== end of nc text ================================================================ */

/* ==== nc tensors: the same block, to the letter, in every header that reads tensors ====== */
#ifndef NC_TENSORS_IMPLEMENTED
#define NC_TENSORS_IMPLEMENTED
NC__COLD_BEGIN
/* -- safetensors: the length of a JSON object (u64), the object, then the tensors' bytes -- */

/* A tensor of the file, or a pair of its metadata. Name and text end with a NUL and last until the
 * next step. */
typedef struct nc__item {
    const char *name, *text; /* of the tensor, or the pair's key; the pair's value */
    char dtype[16];
    size_t width;  /* bytes of a value; 0 for less than one, and for types not known here */
    uint32_t rank; /* any; the first eight dimensions are in `shape` */
    uint64_t shape[8], count;
    const uint8_t *data;    /* null where only the header was given */
    uint64_t offset, bytes; /* in what follows the header */
} nc__item;

typedef enum nc__item_kind { NC__ITEM_END, NC__ITEM_TENSOR, NC__ITEM_PAIR } nc__item_kind;

typedef struct nc__safetensors {
    nc__text t;
    const uint8_t *data;
    uint64_t bytes;
    nc__buffer strings, places; /* the item's; first and past byte of every tensor so far */
    int first, first_pair, in_metadata, metadata;
} nc__safetensors;

/* Most bytes of a header; the library has this limit too. */
#define NC__SAFETENSORS_HEADER 100000000

/* Bytes of the UTF-8 character at `at`, 0 for none (Unicode 15, table 3-7). */
static NC_UNUSED size_t nc__utf8(const uint8_t *at, size_t room) {
    const uint8_t c = room ? at[0] : 0xFF;
    const size_t n = c < 0x80 ? 1 : c < 0xC2 ? 0 : c < 0xE0 ? 2 : c < 0xF0 ? 3 : c < 0xF5 ? 4 : 0;
    const uint8_t least = c == 0xE0 ? 0xA0 : c == 0xF0 ? 0x90 : 0x80;
    const uint8_t most = c == 0xED ? 0x9F : c == 0xF4 ? 0x8F : 0xBF;
    size_t i;
    if (n > room || (n > 1 && (at[1] < least || at[1] > most))) return 0;
    for (i = 2; i < n; i++)
        if (at[i] >> 6 != 2) return 0;
    return n;
}

/* The JSON text of a header, which has `bytes` of tensors behind it; data may be null. To be closed
 * also after a failure. */
static NC_UNUSED nc_status nc__safetensors_header(nc__safetensors *f, const void *header,
                                                  size_t length, const void *data, uint64_t bytes,
                                                  nc_error *err) {
    const uint8_t *text = (const uint8_t *)header;
    size_t i = 0, n;
    memset(f, 0, sizeof *f);
    nc__text_open(&f->t, header, length, err);
    f->data = (const uint8_t *)data;
    f->bytes = bytes;
    f->first = 1;
    while ((n = nc__utf8(text + i, length - i)) > 0) i += n;
    if (i < length) {
        f->t.at += i;
        return nc__text_fail(&f->t, NC_ERR_FORMAT, "a header that is not UTF-8");
    }
    nc__json_expect(&f->t, '{');
    return f->t.status;
}

static NC_UNUSED nc_status nc__safetensors_open(nc__safetensors *f, const void *data, size_t bytes,
                                                nc_error *err) {
    const uint8_t *file = (const uint8_t *)data;
    const uint64_t head = bytes < 8 ? 0 : nc__get_le(file, 8);
    memset(f, 0, sizeof *f);
    if (bytes >= 8 && head > NC__SAFETENSORS_HEADER && file[7] == 0)
        return f->t.status = nc__fail(err, NC_ERR_LIMIT, 0, 0, "a header of more than %u bytes",
                                      (unsigned)NC__SAFETENSORS_HEADER);
    if (bytes < 10 || head > bytes - 8)
        return f->t.status = nc__fail(err, NC_ERR_FORMAT, 0, 0, "not a safetensors file");
    return nc__safetensors_header(f, file + 8, (size_t)head, file + 8 + head, bytes - 8 - head,
                                  err);
}

static NC_UNUSED void nc__safetensors_close(nc__safetensors *f) {
    nc__buffer_free(&f->strings);
    nc__buffer_free(&f->places);
}

/* Bits of a value; 0 for types not known here. */
static NC_UNUSED size_t nc__dtype_bits(const char *dtype) {
    static const struct {
        char name[14];
        uint8_t bits;
    } list[] = {{"F32", 32},        {"F16", 16},    {"BF16", 16},       {"F64", 64},
                {"U8", 8},          {"I8", 8},      {"U16", 16},        {"I16", 16},
                {"U32", 32},        {"I32", 32},    {"U64", 64},        {"I64", 64},
                {"BOOL", 8},        {"F8_E4M3", 8}, {"F8_E5M2", 8},     {"F8_E8M0", 8},
                {"F8_E4M3FNUZ", 8}, {"C64", 64},    {"F8_E5M2FNUZ", 8}, {"F6_E2M3", 6},
                {"F6_E3M2", 6},     {"F4", 4}};
    size_t i;
    for (i = 0; i < sizeof list / sizeof *list; i++)
        if (!strcmp(dtype, list[i].name)) return list[i].bits;
    return 0;
}

/* Bytes of a value; 0 where these are no whole number, and for types not known here. */
static NC_UNUSED size_t nc__dtype_width(const char *dtype) {
    const size_t bits = nc__dtype_bits(dtype);
    return bits % 8 ? 0 : bits / 8;
}

/* An array of any number of dimensions. */
static NC_UNUSED void nc__safetensors_shape(nc__text *t, nc__item *item) {
    int first = 1;
    item->count = 1;
    nc__json_expect(t, '[');
    while (nc__json_more(t, ']', &first)) {
        const uint64_t n = nc__json_natural(t, UINT64_MAX);
        if (item->rank < 8) item->shape[item->rank] = n;
        if (n && item->count > UINT64_MAX / n)
            (void)nc__text_fail(t, NC_ERR_LIMIT, "'%.90s' has more than 2^64 values", item->name);
        item->count *= n;
        item->rank++;
    }
}

/* What the header says of one tensor: its parts once each, in any order, and what else it says. */
static NC_UNUSED void nc__safetensors_parts(nc__text *t, nc__item *item, uint64_t offset[2]) {
    static const char *const names[3] = {"dtype", "shape", "data_offsets"};
    unsigned parts = 0, k;
    int first = 1;
    nc__json_expect(t, '{');
    while (nc__json_more(t, '}', &first)) {
        char key[32];
        const size_t length = nc__json_string(t, key, sizeof key);
        nc__json_expect(t, ':');
        for (k = 0; k < 3; k++)
            if (length < sizeof key && !strcmp(key, names[k])) break;
        if (parts >> k & 1)
            (void)nc__text_fail(t, NC_ERR_FORMAT, "'%.90s' has two %s", item->name, key);
        parts |= 1u << k & 7;
        if (k == 0 && nc__json_string(t, item->dtype, sizeof item->dtype) >= sizeof item->dtype)
            (void)nc__text_fail(t, NC_ERR_FORMAT, "a dtype of more than 15 characters");
        if (k == 1) nc__safetensors_shape(t, item);
        if (k == 2 && nc__json_naturals(t, offset, 2) != 2)
            (void)nc__text_fail(t, NC_ERR_FORMAT, "'%.90s' has not two data_offsets", item->name);
        if (k == 3) nc__json_skip(t);
    }
    if (parts != 7)
        (void)nc__text_fail(t, NC_ERR_FORMAT, "'%.90s' lacks dtype, shape or data_offsets",
                            item->name);
}

/* One tensor, checked against the file. */
static NC_UNUSED void nc__safetensors_entry(nc__safetensors *f, nc__item *item) {
    nc__text *t = &f->t;
    uint64_t offset[2] = {1, 0}, bits;
    nc__safetensors_parts(t, item, offset);
    if (t->status != NC_OK) return;
    bits = nc__dtype_bits(item->dtype);
    item->width = bits % 8 ? 0 : (size_t)bits / 8;
    item->offset = offset[0];
    item->bytes = offset[1] - offset[0];
    if (offset[0] > offset[1] || offset[1] > f->bytes)
        (void)nc__text_fail(t, NC_ERR_FORMAT, "'%.90s' lies outside the file", item->name);
    else if (bits && (item->count > UINT64_MAX / bits || item->count * bits % 8 ||
                      item->bytes != item->count * bits / 8))
        (void)nc__text_fail(t, NC_ERR_FORMAT, "'%.90s' has %llu bytes, not those of its shape",
                            item->name, (unsigned long long)item->bytes);
    item->data = f->data && t->status == NC_OK ? f->data + offset[0] : NULL;
    nc__buffer_put(&f->places, offset, sizeof offset);
    if (f->places.status != NC_OK) (void)nc__text_fail(t, NC_ERR_MEMORY, "out of memory");
}

static NC_UNUSED int nc__compare_places(const void *a, const void *b) {
    uint64_t x[2], y[2];
    memcpy(x, a, sizeof x);
    memcpy(y, b, sizeof y);
    return x[0] != y[0] ? (x[0] < y[0] ? -1 : 1) : x[1] != y[1] ? (x[1] < y[1] ? -1 : 1) : 0;
}

/* Behind the last: bytes that belong to no tensor, or to two, are a failure. */
static NC_UNUSED void nc__safetensors_end(nc__safetensors *f) {
    nc__text *t = &f->t;
    const size_t n = f->places.used / (2 * sizeof(uint64_t));
    uint64_t at = 0;
    size_t i;
    nc__json_space(t);
    if (t->at < t->end) (void)nc__text_fail(t, NC_ERR_FORMAT, "text after the header");
    if (n) qsort(f->places.data, n, 2 * sizeof(uint64_t), nc__compare_places);
    for (i = 0; i < n && t->status == NC_OK; i++) {
        uint64_t place[2];
        memcpy(place, f->places.data + i * sizeof place, sizeof place);
        if (place[0] != at)
            (void)nc__text_fail(t, NC_ERR_FORMAT, "bytes %llu to %llu belong to %s tensor",
                                (unsigned long long)(place[0] < at ? place[0] : at),
                                (unsigned long long)(place[0] < at ? at : place[0]),
                                place[0] < at ? "more than one" : "no");
        at = place[1];
    }
    if (at != f->bytes)
        (void)nc__text_fail(t, NC_ERR_FORMAT, "%llu bytes of tensors in %llu bytes of data",
                            (unsigned long long)at, (unsigned long long)f->bytes);
}

/* The value of "__metadata__": an object, once; or null. */
static NC_UNUSED void nc__safetensors_metadata(nc__safetensors *f) {
    nc__text *t = &f->t;
    if (f->metadata++) (void)nc__text_fail(t, NC_ERR_FORMAT, "a second __metadata__");
    nc__json_space(t);
    if (nc__peek(t, 0) == 'n') {
        nc__json_skip_word(t);
    } else {
        nc__json_expect(t, '{');
        f->in_metadata = f->first_pair = 1;
    }
}

/* The next tensor or pair of metadata; NC__ITEM_END after the last, and after a failure, which
 * f->t.status has. */
static NC_UNUSED nc__item_kind nc__safetensors_next(nc__safetensors *f, nc__item *item) {
    nc__text *t = &f->t;
    memset(item, 0, sizeof *item);
    item->name = item->text = "";
    while (t->status == NC_OK) {
        int pair = f->in_metadata && nc__json_more(t, '}', &f->first_pair);
        size_t text;
        f->in_metadata = pair;
        if (!pair && !nc__json_more(t, '}', &f->first)) {
            if (t->status == NC_OK) nc__safetensors_end(f);
            break;
        }
        f->strings.used = 0;
        (void)nc__json_whole(t, &f->strings);
        nc__json_expect(t, ':');
        text = f->strings.used;
        if (pair) (void)nc__json_whole(t, &f->strings);
        if (t->status != NC_OK) break;
        item->name = f->strings.data;
        item->text = pair ? f->strings.data + text : "";
        if (!pair && !strcmp(item->name, "__metadata__")) {
            nc__safetensors_metadata(f);
            continue;
        }
        if (!pair) nc__safetensors_entry(f, item);
        if (t->status == NC_OK) return pair ? NC__ITEM_PAIR : NC__ITEM_TENSOR;
    }
    return NC__ITEM_END;
}

static NC_UNUSED int nc__is_float(const char *dtype) {
    return !strcmp(dtype, "F32") || !strcmp(dtype, "F16") || !strcmp(dtype, "BF16") ||
           !strcmp(dtype, "F64");
}

NC__COLD_END

/* The value of a float16 (IEEE 754 binary16). */
static NC_UNUSED float nc__half(uint32_t word) {
    const uint32_t sign = word >> 15 << 31, e = word >> 10 & 31, f = word & 1023;
    float value;
    if (e == 0) {
        value = (float)f * 5.9604644775390625e-8f; /* 2^-24 */
        return sign ? -value : value;
    }
    word = sign | (e == 31 ? 255u : e + 112) << 23 | f << 13;
    memcpy(&value, &word, sizeof value);
    return value;
}

/* Value i of a tensor of a type that nc__is_float names: a loop calls this for every weight. */
static NC_UNUSED float nc__item_float(const nc__item *item, uint64_t i) {
    const uint64_t bits = nc__get_le(item->data + i * item->width, item->width);
    uint32_t word = (uint32_t)bits;
    float value;
    if (item->width == 8) {
        double wide;
        memcpy(&wide, &bits, sizeof wide);
        return (float)wide;
    }
    if (!strcmp(item->dtype, "F16")) return nc__half(word);
    if (!strcmp(item->dtype, "BF16")) word <<= 16;
    memcpy(&value, &word, sizeof value);
    return value;
}

NC__COLD_BEGIN
/* A file's header: pairs of metadata first, then the tensors in the order of their bytes. */
typedef struct nc__head {
    nc__buffer b;
    uint64_t at; /* bytes of the tensors so far */
    int pairs, tensors;
} nc__head;

static NC_UNUSED void nc__head_open(nc__head *h, const nc_allocator *hooks) {
    memset(h, 0, sizeof *h);
    h->b.hooks = hooks;
    nc__buffer_le(&h->b, 0, 8); /* its length, when that is known */
    nc__buffer_print(&h->b, "{\"__metadata__\":{");
}

static NC_UNUSED void nc__head_pair(nc__head *h, const char *key, const char *value) {
    if (h->pairs++) nc__buffer_put(&h->b, ",", 1);
    nc__buffer_quote(&h->b, key);
    nc__buffer_put(&h->b, ":", 1);
    nc__buffer_quote(&h->b, value);
}

static NC_UNUSED void nc__head_tensor(nc__head *h, const char *name, const char *dtype,
                                      const uint64_t *shape, uint32_t rank) {
    const uint64_t from = h->at;
    uint64_t bits = nc__dtype_bits(dtype);
    uint32_t i;
    nc__buffer_print(&h->b, h->tensors++ ? "," : "},");
    nc__buffer_quote(&h->b, name);
    nc__buffer_print(&h->b, ":{\"dtype\":\"%s\",\"shape\":[", dtype);
    for (i = 0; i < rank; bits *= shape[i++])
        nc__buffer_print(&h->b, i ? ",%llu" : "%llu", (unsigned long long)shape[i]);
    h->at += bits / 8;
    nc__buffer_print(&h->b, "],\"data_offsets\":[%llu,%llu]}", (unsigned long long)from,
                     (unsigned long long)h->at);
}

/* Ends the header, so that the data begin at a multiple of 8; h->b then holds it, length first. */
static NC_UNUSED nc_status nc__head_close(nc__head *h) {
    nc__buffer_print(&h->b, h->tensors ? "}" : "}}");
    while (h->b.status == NC_OK && h->b.used % 8) nc__buffer_put(&h->b, " ", 1);
    if (h->b.status == NC_OK) nc__put_le((uint8_t *)h->b.data, h->b.used - 8, 8);
    return h->b.status;
}

/* -- .npy (NEP 1 of numpy): magic, version, length of a Python dictionary, it, the values -- */

typedef struct nc__npy {
    char kind; /* f float, i signed, u unsigned, b Boolean */
    uint32_t width;
    int big_endian, fortran;
    uint32_t rank;
    uint64_t shape[8], count;
    const uint8_t *data;
    size_t offset; /* of the values in the file */
} nc__npy;

/* A quoted word of the dictionary. */
static NC_UNUSED void nc__npy_word(nc__text *t, char *out, size_t room) {
    size_t n = 0;
    int quote;
    nc__skip_space(t);
    quote = nc__peek(t, 0);
    if (quote != '\'' && quote != '"')
        (void)nc__text_fail(t, NC_ERR_UNSUPPORTED, "expected a quoted word: a plain array");
    for (t->at += t->status == NC_OK; nc__peek(t, 0) >= ' ' && nc__peek(t, 0) != quote; t->at++)
        if (n + 1 < room) out[n++] = *t->at;
    out[n] = 0;
    if (nc__peek(t, 0) != quote) (void)nc__text_fail(t, NC_ERR_FORMAT, "a word without an end");
    t->at += t->status == NC_OK;
}

/* A tuple; Python 2 wrote an L behind long integers. */
static NC_UNUSED void nc__npy_shape(nc__text *t, nc__npy *a) {
    int first = 1, comma = 0;
    nc__json_expect(t, '(');
    a->rank = 0;
    a->count = 1;
    while (nc__json_more(t, ')', &first)) {
        comma = a->rank > 0;
        if (a->rank && nc__json_take(t, ')')) break; /* a comma behind the last */
        if (a->rank == 8) (void)nc__text_fail(t, NC_ERR_LIMIT, "more than eight dimensions");
        if (t->status != NC_OK) break;
        a->shape[a->rank] = nc__json_natural(t, UINT64_C(1) << 48);
        (void)nc__json_take(t, 'L');
        if (a->shape[a->rank] && a->count > (UINT64_C(1) << 48) / a->shape[a->rank])
            (void)nc__text_fail(t, NC_ERR_LIMIT, "more than 2^48 values");
        a->count *= a->shape[a->rank++];
    }
    if (a->rank == 1 && !comma) (void)nc__text_fail(t, NC_ERR_FORMAT, "a shape that is no tuple");
}

/* True or False: 1 or 0. */
static NC_UNUSED int nc__npy_flag(nc__text *t) {
    static const char *const words[2] = {"False", "True"};
    int k;
    for (k = 0; k < 2; k++) {
        const size_t n = strlen(words[k]);
        if (t->status != NC_OK || (size_t)(t->end - t->at) < n || memcmp(t->at, words[k], n) != 0 ||
            nc__is_letter(nc__peek(t, n)) || nc__is_digit(nc__peek(t, n)))
            continue;
        t->at += n;
        return k;
    }
    (void)nc__text_fail(t, NC_ERR_FORMAT, "expected True or False");
    return 0;
}

/* The dictionary: three keys, in any order; of a key that is there twice, the last one counts. */
static NC_UNUSED void nc__npy_dictionary(nc__text *t, nc__npy *a, char *type, size_t room) {
    unsigned parts = 0;
    int first = 1;
    nc__json_expect(t, '{');
    while (nc__json_more(t, '}', &first)) {
        char key[24];
        if (parts && nc__json_take(t, '}')) break; /* a comma behind the last */
        nc__npy_word(t, key, sizeof key);
        nc__json_expect(t, ':');
        nc__skip_space(t);
        if (!strcmp(key, "descr")) {
            nc__npy_word(t, type, room);
            parts |= 1;
        } else if (!strcmp(key, "shape")) {
            nc__npy_shape(t, a);
            parts |= 2;
        } else if (!strcmp(key, "fortran_order")) {
            a->fortran = nc__npy_flag(t);
            parts |= 4;
        } else {
            (void)nc__text_fail(t, NC_ERR_FORMAT, "expected descr, shape or fortran_order");
        }
    }
    if (parts != 7) (void)nc__text_fail(t, NC_ERR_FORMAT, "descr, shape or order is missing");
    nc__skip_space(t);
    if (t->status == NC_OK && t->at < t->end)
        (void)nc__text_fail(t, NC_ERR_FORMAT, "text after the dictionary");
}

/* Bytes before the values, from the first 12 of a file; 0: no .npy file. */
static NC_UNUSED uint64_t nc__npy_offset(const uint8_t *file, size_t bytes) {
    const size_t start = bytes >= 12 && file[6] > 1 ? 12 : 10;
    if (bytes < start || memcmp(file, "\x93NUMPY", 6) || file[6] < 1 || file[6] > 3 || file[7])
        return 0;
    return start + nc__get_le(file + 8, start - 8);
}

/* A type as numpy's own writer has it ("<f4"), or by one of its other names. */
static NC_UNUSED int nc__npy_type(nc__npy *a, const char *type) {
    static const char names[] = "e=f2 f=f4 d=f8 ?=b1 b=i1 B=u1 h=i2 H=u2 i=i4 I=u4 q=i8 Q=u8 "
                                "float16=f2 float32=f4 float64=f8 int8=i1 int16=i2 int32=i4 "
                                "int64=i8 uint8=u1 uint16=u2 uint32=u4 uint64=u8 bool=b1 ";
    const char *at = names;
    size_t n;
    a->big_endian = *type == '>';
    type += *type && strchr("<>|=", *type) != NULL;
    n = strlen(type);
    while (*at && (strncmp(at, type, n) != 0 || at[n] != '=')) at = strchr(at, ' ') + 1;
    if (*at) type = at + n + 1;
    if (!*type || !strchr("fiub", *type) || !type[1] || (*at ? type[2] != ' ' : type[2] != 0))
        return 0;
    a->kind = type[0];
    a->width = (uint32_t)(type[1] - '0');
    return (a->width == 1 && a->kind != 'f') ||
           (a->kind != 'b' && (a->width == 2 || a->width == 4 || a->width == 8));
}

/* The first nc__npy_offset bytes of a file of `bytes`; what is behind the values is nobody's, as
 * numpy has it. a->data is null. */
static NC_UNUSED nc_status nc__npy_header(nc__npy *a, const uint8_t *file, uint64_t bytes,
                                          nc_error *err) {
    const size_t start = file[6] > 1 ? 12 : 10;
    char type[16] = "";
    nc__text t;
    memset(a, 0, sizeof *a);
    a->offset = start + (size_t)nc__get_le(file + 8, start - 8);
    nc__text_open(&t, file + start, a->offset - start, err);
    nc__npy_dictionary(&t, a, type, sizeof type);
    if (t.status != NC_OK) return t.status;
    if (!nc__npy_type(a, type))
        return nc__fail(err, NC_ERR_UNSUPPORTED, 1, 1, "values of type '%s' are not read", type);
    if (bytes - a->offset < a->count * a->width)
        return nc__fail(err, NC_ERR_FORMAT, 0, 0, "%llu values of type '%s' in %llu bytes",
                        (unsigned long long)a->count, type,
                        (unsigned long long)(bytes - a->offset));
    return NC_OK;
}

static NC_UNUSED nc_status nc__npy_open(nc__npy *a, const void *data, size_t bytes, nc_error *err) {
    const uint8_t *file = (const uint8_t *)data;
    const uint64_t offset = nc__npy_offset(file, bytes);
    nc_status status;
    memset(a, 0, sizeof *a);
    if (offset == 0) return nc__fail(err, NC_ERR_FORMAT, 0, 0, "not a .npy file");
    if (offset > bytes)
        return nc__fail(err, NC_ERR_FORMAT, 0, 0, "a header of %llu bytes does not fit",
                        (unsigned long long)offset);
    status = nc__npy_header(a, file, bytes, err);
    a->data = file + a->offset;
    return status;
}

/* The bits of value i in the file's order. */
static NC_UNUSED uint64_t nc__npy_bits(const nc__npy *a, uint64_t i) {
    const uint8_t *at = a->data + i * a->width;
    uint64_t bits = 0;
    uint32_t k;
    if (!a->big_endian) return nc__get_le(at, a->width);
    for (k = 0; k < a->width; k++) bits = bits << 8 | at[k];
    return bits;
}

/* The header of an array in C order; descr as "<f4". */
static NC_UNUSED void nc__npy_head(nc__buffer *b, const char *descr, const uint64_t *shape,
                                   uint32_t rank) {
    const size_t start = b->used;
    uint32_t i;
    nc__buffer_put(b, "\x93NUMPY\1\0\0\0", 10);
    nc__buffer_print(b, "{'descr': '%s', 'fortran_order': False, 'shape': (", descr);
    for (i = 0; i < rank; i++)
        nc__buffer_print(b, i ? ", %llu" : "%llu", (unsigned long long)shape[i]);
    nc__buffer_print(b, rank == 1 ? ",), }" : "), }");
    while (b->status == NC_OK && (b->used - start) % 64 != 63) nc__buffer_put(b, " ", 1);
    nc__buffer_put(b, "\n", 1);
    if (b->status == NC_OK) nc__put_le((uint8_t *)b->data + start + 8, b->used - start - 10, 2);
}
NC__COLD_END
#endif
/* ==== end of nc tensors ============================================================= */

#ifndef NC__STB_DS /* the names of stb_ds.h's functions in this program */
#define NC__STB_DS(name) nc_axx_stbds_##name
#endif
/* ==== nc stb_ds: the same block, to the letter, in every header that needs it ============ */
/* stb_ds.h: the system's or a copy beside this file, its symbols renamed by NC__STB_DS so that
 * they never meet another copy in the program. To use it in your own code too, include it before
 * this file. */
#ifndef INCLUDE_STB_DS_H
#define STBDS_NO_SHORT_NAMES
#ifndef NC_STB_DS_EXTERNAL
#define STB_DS_IMPLEMENTATION
#ifdef NC_REALLOC
#define STBDS_REALLOC(context, ptr, bytes) NC_REALLOC(ptr, bytes)
#define STBDS_FREE(context, ptr) NC_FREE(ptr)
#endif
#define stbds_rand_seed NC__STB_DS(rand_seed)
#define stbds_hash_bytes NC__STB_DS(hash_bytes)
#define stbds_hash_string NC__STB_DS(hash_string)
#define stbds_stralloc NC__STB_DS(stralloc)
#define stbds_strreset NC__STB_DS(strreset)
#define stbds_unit_tests NC__STB_DS(unit_tests)
#define stbds_arrgrowf NC__STB_DS(arrgrowf)
#define stbds_arrfreef NC__STB_DS(arrfreef)
#define stbds_hmfree_func NC__STB_DS(hmfree_func)
#define stbds_hmget_key NC__STB_DS(hmget_key)
#define stbds_hmget_key_ts NC__STB_DS(hmget_key_ts)
#define stbds_hmput_default NC__STB_DS(hmput_default)
#define stbds_hmput_key NC__STB_DS(hmput_key)
#define stbds_hmdel_key NC__STB_DS(hmdel_key)
#define stbds_shmode_func NC__STB_DS(shmode_func)
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
NC__COLD_BEGIN
#if defined(__has_include)
#if __has_include("stb_ds.h")
#include "stb_ds.h"
#else
#include <stb/stb_ds.h>
#endif
#else
#include <stb/stb_ds.h>
#endif
NC__COLD_END
#if defined(__GNUC__)
#pragma GCC diagnostic pop
#endif
#undef STB_DS_IMPLEMENTATION
#undef stbds_header /* the same, through void *: our elements may be less aligned than it */
#define stbds_header(t) ((stbds_array_header *)(void *)(t)-1)
#endif
/* An array without elements; stbds_arrsetlen compares with 0, which some compilers warn of. */
#ifndef NC__EMPTY
#define NC__EMPTY(array) (void)((array) && (stbds_header(array)->length = 0))
#endif
/* ==== end of nc stb_ds ============================================================== */

#include <float.h>
#include <math.h>
#if !defined(NC_NO_SIMD) && defined(__GNUC__) && defined(__x86_64__)
#define NC_AXX__X86 1
#include <immintrin.h> /* here: outside the options below it compiles faster */
#elif defined(NC__NEON)
#include <arm_neon.h>
#endif
#ifdef _OPENMP
#include <omp.h>
#endif

#ifdef __FAST_MATH__
#error "nc_axx.h promises bits: compile without -ffast-math"
#endif
#if defined(FLT_EVAL_METHOD) && (FLT_EVAL_METHOD == 1 || FLT_EVAL_METHOD == 2)
#error "nc_axx.h promises bits: float must be evaluated as float (x86: -msse2 -mfpmath=sse)"
#endif

/* Every rounding below is written out: nothing may be fused. */
#if defined(__clang__)
#pragma STDC FP_CONTRACT OFF
#elif defined(__GNUC__)
#pragma GCC push_options
#pragma GCC optimize("fp-contract=off")
#endif

#if defined(__GNUC__) && !defined(__clang__)
#define NC_AXX__PRAGMA(text) _Pragma(#text)
#define NC_AXX__UNROLL(times) NC_AXX__PRAGMA(GCC unroll times)
#else
#define NC_AXX__UNROLL(times)
#endif
#ifdef NC_AXX__X86
#define NC_AXX__TARGET512                                                                          \
    __attribute__((target("avx512f,avx512bw,avx512dq,avx512vl,avx512vbmi,avx512vnni,avx2,fma")))
#define NC_AXX__INLINE512 static inline __attribute__((always_inline, unused)) NC_AXX__TARGET512
#if !defined(__clang__)
#pragma GCC diagnostic push /* gcc 12 warns about its own _mm512_undefined (its bug 105593) */
#pragma GCC diagnostic ignored "-Wmaybe-uninitialized"
#pragma GCC diagnostic ignored "-Wuninitialized"
#endif
#endif

/* >>multipliers ================================================================= */

static int nc_axx__operand(uint32_t index, int is_unsigned) {
    return is_unsigned ? (int)index : (int)index - 128;
}

/* How a table lies: 2^bits[0] rows of 2^bits[1] products, operands from the least up. Of their bits
 * used[] count: operands that need more stand for the nearest that does not. */
typedef struct nc_axx__shape {
    uint8_t no_sign[2], bits[2], used[2];
} nc_axx__shape;

static uint32_t nc_axx__entries(const nc_axx__shape *s) {
    return UINT32_C(1) << ((s->bits[0] + s->bits[1]) & 31); /* 24 at most; & 31: for analysers */
}

/* The first or second operand of entry i. */
static int nc_axx__operand_at(const nc_axx__shape *s, uint32_t i, int which) {
    const uint32_t bits = s->bits[which];
    const uint32_t index = which ? i & ((UINT32_C(1) << bits) - 1) : i >> s->bits[1];
    return s->no_sign[which] ? (int)index : (int)index - (1 << (bits - 1));
}

/* The exact product that entry i stands for. */
static int nc_axx__exact_at(const nc_axx__shape *s, uint32_t i) {
    return nc_axx__operand_at(s, i, 0) * nc_axx__operand_at(s, i, 1);
}

/* The operand of so many bits that is nearest to x. */
static int nc_axx__narrow(int x, uint32_t bits, int is_unsigned) {
    const int most = (1 << (bits - !is_unsigned)) - 1;
    const int least = is_unsigned ? 0 : -most - 1;
    return x > most ? most : x < least ? least : x;
}

/* Whether entry i is of operands that the multiplier has. */
static int nc_axx__has_pair(const nc_axx__shape *s, uint32_t i) {
    int k, has = 1;
    for (k = 0; k < 2; k++)
        if (s->used[k] < s->bits[k]) {
            const int x = nc_axx__operand_at(s, i, k);
            has &= nc_axx__narrow(x, s->used[k], s->no_sign[k]) == x;
        }
    return has;
}

/* What turns an index by operands into one by their bits, and back: exclusive or. */
static uint32_t nc_axx__byte_order(const nc_axx__shape *s) {
    const uint32_t a = nc_axx__entries(s) >> 1, b = (UINT32_C(1) << (s->bits[1] & 31)) >> 1;
    return (s->no_sign[0] ? 0 : a) ^ (s->no_sign[1] ? 0 : b);
}

static nc_axx__shape nc_axx__shape_of(const nc_axx_mult *m) {
    nc_axx__shape s;
    s.no_sign[0] = m->a_unsigned;
    s.no_sign[1] = m->b_unsigned;
    s.bits[0] = s.bits[1] = 8;
    s.used[0] = m->a_bits ? m->a_bits : 8;
    s.used[1] = m->b_bits ? m->b_bits : 8;
    return s;
}

static nc_axx__shape nc_axx__wide_shape(const nc_axx_wide *w) {
    nc_axx__shape s;
    s.no_sign[0] = w->a_unsigned;
    s.no_sign[1] = w->b_unsigned;
    s.bits[0] = s.used[0] = w->a_bits;
    s.bits[1] = s.used[1] = w->b_bits;
    return s;
}

static int32_t nc_axx__abs(int32_t x) { return x < 0 ? -x : x; }

/* The product of a and b whose magnitudes have this one. */
static int32_t nc_axx__with_sign(int32_t product, int a, int b) {
    return (a < 0) != (b < 0) ? -product : product;
}

/* -- families: the product of magnitudes a and b below 256 under the parameters p -- */

static uint32_t nc_axx__exact(uint32_t a, uint32_t b, const uint32_t *p) {
    (void)p;
    return a * b;
}

/* Partial products a_i b_j of rows j >= p[0] and columns i + j >= p[1]. */
static uint32_t nc_axx__broken_array(uint32_t a, uint32_t b, const uint32_t *p) {
    uint32_t i, j, sum = 0;
    for (j = p[0]; j < 8; j++)
        for (i = j < p[1] ? p[1] - j : 0; i < 8; i++) sum += ((a >> i) & (b >> j) & 1) << (i + j);
    return sum;
}

static uint32_t nc_axx__truncated(uint32_t a, uint32_t b, const uint32_t *p) {
    const uint32_t all_rows[2] = {0, p[0]};
    return nc_axx__broken_array(a, b, all_rows);
}

static uint32_t nc_axx__kulkarni(uint32_t a, uint32_t b, const uint32_t *p) {
    uint32_t i, j, sum = 0;
    for (j = 0; j < 4; j++)
        for (i = 0; i < 4; i++) {
            uint32_t x = a >> (2 * i) & 3, y = b >> (2 * j) & 3;
            sum += (i + j < p[0] && x == 3 && y == 3 ? 7 : x * y) << (2 * (i + j));
        }
    return sum;
}

static uint32_t nc_axx__log2(uint32_t x) {
    uint32_t n = 0;
    while (x >> (n + 1)) n++;
    return n;
}

/* With x = 2^k (1 + f): 2^(ka + kb) (1 + fa + fb), or twice (fa + fb) when that passes 1. */
static uint32_t nc_axx__mitchell(uint32_t a, uint32_t b, const uint32_t *p) {
    uint32_t ka, kb, sum, one;
    (void)p;
    if (a == 0 || b == 0) return 0;
    ka = nc_axx__log2(a);
    kb = nc_axx__log2(b);
    one = 1u << (ka + kb);
    sum = ((a - (1u << ka)) << kb) + ((b - (1u << kb)) << ka); /* (fa + fb) 2^(ka + kb) */
    return sum < one ? one + sum : 2 * sum;
}

/* a b = 2^(ka + kb) + ra 2^kb + rb 2^ka + ra rb with the rests ra, rb: the last product is done the
 * same way p[0] times, then dropped. */
static uint32_t nc_axx__iterative_log(uint32_t a, uint32_t b, const uint32_t *p) {
    uint32_t sum = 0, step;
    for (step = 0; step <= p[0] && a && b; step++) {
        const uint32_t one_a = 1u << nc_axx__log2(a), one_b = 1u << nc_axx__log2(b);
        a -= one_a;
        b -= one_b;
        sum += one_a * one_b + a * one_b + b * one_a;
    }
    return sum;
}

/* The k leading bits of x in place, the lowest kept bit set; short numbers stay. */
static uint32_t nc_axx__leading(uint32_t x, uint32_t k) {
    uint32_t n = x ? nc_axx__log2(x) : 0, cut;
    if (n < k) return x;
    cut = n - k + 1;
    return ((x >> cut) | 1) << cut;
}

static uint32_t nc_axx__drum(uint32_t a, uint32_t b, const uint32_t *p) {
    return nc_axx__leading(a, p[0]) * nc_axx__leading(b, p[0]);
}

static uint32_t nc_axx__nearest_power(uint32_t x) {
    uint32_t one;
    if (x == 0 || x == 3) return x ? 2 : 0;
    one = 1u << nc_axx__log2(x);
    return 2 * x >= 3 * one ? 2 * one : one;
}

/* Of two powers above their operands the sum stays the right one modulo 2^32. */
static uint32_t nc_axx__roba(uint32_t a, uint32_t b, const uint32_t *p) {
    const uint32_t near_a = nc_axx__nearest_power(a), near_b = nc_axx__nearest_power(b);
    (void)p;
    return near_a * b + a * near_b - near_a * near_b;
}

static uint32_t nc_axx__segment(uint32_t x, uint32_t m) {
    return x >> m ? x >> (8 - m) << (8 - m) : x;
}

static uint32_t nc_axx__static_segment(uint32_t a, uint32_t b, const uint32_t *p) {
    return nc_axx__segment(a, p[0]) * nc_axx__segment(b, p[0]);
}

static uint32_t nc_axx__error_tolerant(uint32_t a, uint32_t b, const uint32_t *p) {
    const uint32_t k = p[0], low = (a | b) & ((1u << k) - 1);
    if (!(a >> k) && !(b >> k)) return a * b;
    return ((a >> k) * (b >> k) << (2 * k)) | (low ? (2u << (k + nc_axx__log2(low))) - 1 : 0);
}

/* -- the table of families -- */

typedef struct nc_axx__family {
    const char *name;
    uint32_t (*product)(uint32_t a, uint32_t b, const uint32_t *p);
    uint32_t low[2], high[2]; /* of its parameters */
} nc_axx__family;

static const nc_axx__family nc_axx__families[NC_AXX_FAMILY_COUNT] = {
#define NC_AXX__ROW(constant, name, p_low, p_high, q_low, q_high)                                  \
    {#name, nc_axx__##name, {p_low, q_low}, {p_high, q_high}},
    NC_AXX_FAMILIES(NC_AXX__ROW)
#undef NC_AXX__ROW
};

NC_API const char *nc_axx_family_info(nc_axx_family family, uint32_t low[2], uint32_t high[2]) {
    if ((unsigned)family >= NC_AXX_FAMILY_COUNT) return NULL;
    if (low) memcpy(low, nc_axx__families[family].low, sizeof nc_axx__families[family].low);
    if (high) memcpy(high, nc_axx__families[family].high, sizeof nc_axx__families[family].high);
    return nc_axx__families[family].name;
}

/* NAME_P_Q of as many parameters as the family has; longer ones are cut short. */
static void nc_axx__name(nc_axx_mult *m, const nc_axx__family *f, const uint32_t p[2]) {
    size_t used = (size_t)snprintf(m->name, sizeof m->name, "%.30s", f->name);
    int i;
    for (i = 0; i < 2 && f->high[i]; i++)
        used += (size_t)snprintf(m->name + used, sizeof m->name - used, "_%u", (unsigned)p[i]);
    if (m->a_unsigned) (void)snprintf(m->name + used, sizeof m->name - used, "_u");
}

NC_API nc_status nc_axx_generate(nc_axx_mult *m, nc_axx_family family, uint32_t p, uint32_t q,
                                 int is_unsigned) {
    const uint32_t parameters[2] = {p, q};
    const nc_axx__family *f;
    uint32_t i;
    if (!m || (unsigned)family >= NC_AXX_FAMILY_COUNT) return NC_ERR_ARG;
    f = &nc_axx__families[family];
    for (i = 0; i < 2; i++)
        if (parameters[i] < f->low[i] || parameters[i] > f->high[i]) return NC_ERR_ARG;
    memset(m, 0, offsetof(nc_axx_mult, table));
    m->relative_power = family == NC_AXX_EXACT ? 1.0f : 0.0f;
    m->a_unsigned = m->b_unsigned = (uint8_t)(is_unsigned != 0);
    for (i = 0; i < 65536; i++) {
        const int a = nc_axx__operand(i >> 8, is_unsigned);
        const int b = nc_axx__operand(i & 255, is_unsigned);
        m->table[i] = nc_axx__with_sign(
            (int32_t)f->product((uint32_t)nc_axx__abs(a), (uint32_t)nc_axx__abs(b), parameters), a,
            b);
    }
    nc_axx__name(m, f, parameters);
    return NC_OK;
}

/* -- EvoApproxLib -- */

/* Its signed 8-bit multipliers (ehw.fit.vutbr.cz/evoapproxlib) by falling power, the exact one
 * first: power in PDK45 from its characterisation; as arrays of two's complement they lack the rows
 * below `a` and `b` and the columns below `columns` (found from their tables, equal to them). */
typedef struct nc_axx__evoapprox {
    const char *name;
    float milliwatts;
    uint8_t a, b, columns;
} nc_axx__evoapprox;

static const nc_axx__evoapprox nc_axx__published[] = {
    {"mul8s_1KV8", 0.425f, 0, 0, 0}, {"mul8s_1KVA", 0.422f, 0, 0, 2},
    {"mul8s_1L2H", 0.301f, 1, 1, 0}, {"mul8s_1KVL", 0.289f, 2, 0, 5},
    {"mul8s_1L2D", 0.200f, 2, 2, 0}, {"mul8s_1KR3", 0.052f, 6, 0, 0}};
enum { NC_AXX__PUBLISHED = sizeof nc_axx__published / sizeof *nc_axx__published };

NC_API const char *nc_axx_published(uint32_t index, float *relative_power) {
    if (index >= NC_AXX__PUBLISHED) return NULL;
    if (relative_power)
        *relative_power = nc_axx__published[index].milliwatts / nc_axx__published[0].milliwatts;
    return nc_axx__published[index].name;
}

/* The index of a name; NC_AXX__PUBLISHED for others. */
static uint32_t nc_axx__published_as(const char *name) {
    uint32_t i = 0;
    while (i < NC_AXX__PUBLISHED && strcmp(name, nc_axx__published[i].name) != 0) i++;
    return i;
}

/* The power published for a name, else 0. */
static float nc_axx__published_power(const char *name) {
    float power = 0.0f;
    (void)nc_axx_published(nc_axx__published_as(name), &power);
    return power;
}

/* An array multiplier of two's complement without the rows and columns that are lacking. */
static void nc_axx__generate_published(nc_axx_mult *m, const nc_axx__evoapprox *p) {
    uint32_t at, i, j;
    memset(m, 0, offsetof(nc_axx_mult, table));
    (void)snprintf(m->name, sizeof m->name, "%s", p->name);
    m->relative_power = nc_axx__published_power(p->name);
    for (at = 0; at < 65536; at++) {
        const uint32_t a = (at >> 8) ^ 128, b = (at & 255) ^ 128; /* as bits */
        int32_t sum = 0;
        for (i = p->a; i < 8; i++)
            for (j = p->b; j < 8; j++) /* the bits of weight 128 count as negative */
                if ((a >> i & b >> j & 1) && i + j >= p->columns)
                    sum += (i == 7) != (j == 7) ? -(1 << (i + j)) : 1 << (i + j);
        m->table[at] = sum;
    }
}

/* -- multipliers by their text -- */

/* The family whose name comes next; NC_AXX_FAMILY_COUNT for none. */
static uint32_t nc_axx__read_family(nc__text *t) {
    const char *name = t->at;
    size_t length = 0;
    uint32_t f;
    while (nc__is_letter(nc__peek(t, length))) length++;
    for (f = 0; f < NC_AXX_FAMILY_COUNT; f++)
        if (strlen(nc_axx__families[f].name) == length &&
            !memcmp(nc_axx__families[f].name, name, length))
            break;
    if (f == NC_AXX_FAMILY_COUNT)
        (void)nc__text_fail(t, NC_ERR_FORMAT, "no family is called '%.40s'", name);
    else
        t->at += length;
    return f;
}

/* :P, in the range that the family's parameter i has. */
static uint32_t nc_axx__read_parameter(nc__text *t, const nc_axx__family *f, int i) {
    const char *digits = t->at + 1;
    uint32_t value = 0;
    if (nc__peek(t, 0) != ':' || !nc__is_digit(nc__peek(t, 1)))
        (void)nc__text_fail(t, NC_ERR_FORMAT, "%s needs ':' and a number here", f->name);
    if (t->status != NC_OK) return 0;
    for (t->at = digits; nc__is_digit(nc__peek(t, 0)) && value < 1000; t->at++)
        value = value * 10 + (uint32_t)(*t->at - '0');
    if (value >= f->low[i] && value <= f->high[i]) return value;
    t->at = digits;
    (void)nc__text_fail(t, NC_ERR_FORMAT, "%s takes %u to %u here, not %u", f->name,
                        (unsigned)f->low[i], (unsigned)f->high[i], (unsigned)value);
    return 0;
}

/* Whether these words come next; takes them. */
static int nc_axx__take(nc__text *t, const char *words) {
    const size_t length = strlen(words);
    if (t->status != NC_OK || (size_t)(t->end - t->at) < length || memcmp(t->at, words, length))
        return 0;
    t->at += length;
    return 1;
}

NC_API nc_status nc_axx_make(nc_axx_mult *m, const char *spec, nc_error *err) {
    uint32_t value[2] = {0, 0}, family, known;
    int is_unsigned, compensated, i;
    nc__text t;
    nc__clear(err);
    if (!m || !spec) return nc__fail(err, NC_ERR_ARG, 0, 0, "null argument");
    known = nc_axx__published_as(spec);
    if (known < NC_AXX__PUBLISHED) {
        nc_axx__generate_published(m, &nc_axx__published[known]);
        return NC_OK;
    }
    nc__text_open(&t, spec, strlen(spec), err);
    family = nc_axx__read_family(&t);
    for (i = 0; i < 2 && t.status == NC_OK && nc_axx__families[family].high[i]; i++)
        value[i] = nc_axx__read_parameter(&t, &nc_axx__families[family], i);
    is_unsigned = nc_axx__take(&t, "+unsigned");
    compensated = nc_axx__take(&t, "+compensated");
    if (nc__peek(&t, 0) >= 0)
        (void)nc__text_fail(&t, NC_ERR_FORMAT, "'%.40s' is not understood", t.at);
    if (t.status != NC_OK) return t.status;
    (void)nc_axx_generate(m, (nc_axx_family)family, value[0], value[1], is_unsigned);
    if (compensated) nc_axx_compensate(m);
    return NC_OK;
}

/* -- tables made from tables -- */

/* To the nearest integer, halves away from zero. */
static int64_t nc_axx__round_div(int64_t sum, int64_t count) {
    return sum >= 0 ? (2 * sum + count) / (2 * count) : -((2 * -sum + count) / (2 * count));
}

static int32_t nc_axx__within_32_bits(int64_t x) {
    return x > INT32_MAX ? INT32_MAX : x < INT32_MIN ? INT32_MIN : (int32_t)x;
}

NC_API void nc_axx_compensate(nc_axx_mult *m) {
    const nc_axx__shape shape = nc_axx__shape_of(m);
    int64_t sum[2] = {0, 0}, count[2] = {0, 0}, constant[2];
    size_t used = strlen(m->name);
    uint32_t i;
    for (i = 0; i < 65536; i++) {
        const int exact = nc_axx__exact_at(&shape, i);
        if (exact && nc_axx__has_pair(&shape, i)) {
            sum[exact < 0] += (int64_t)exact - m->table[i];
            count[exact < 0]++;
        }
    }
    for (i = 0; i < 2; i++) constant[i] = count[i] ? nc_axx__round_div(sum[i], count[i]) : 0;
    for (i = 0; i < 65536; i++) {
        const int exact = nc_axx__exact_at(&shape, i);
        if (exact) m->table[i] = nc_axx__within_32_bits(m->table[i] + constant[exact < 0]);
    }
    (void)snprintf(m->name + used, sizeof m->name - used, "+c");
}

/* The table is made beside m, which out may be. */
NC_API nc_status nc_axx_signed(nc_axx_mult *out, const nc_axx_mult *m, int a_unsigned) {
    nc_axx_mult *work;
    uint32_t i;
    if (!out || !m || !m->a_unsigned || !m->b_unsigned) return NC_ERR_ARG;
    for (i = 0; i < 65536; i++)
        if (m->table[i] == INT32_MIN) return NC_ERR_LIMIT;
    work = (nc_axx_mult *)nc__alloc(NULL, sizeof *work);
    if (!work) return NC_ERR_MEMORY;
    *work = *m;
    work->a_unsigned = (uint8_t)(a_unsigned != 0);
    work->b_unsigned = 0;
    if (m->a_bits && !a_unsigned) work->a_bits++; /* 8 bits: as 0 */
    if (m->b_bits) work->b_bits++;
    for (i = 0; i < 65536; i++) {
        const int a = nc_axx__operand(i >> 8, a_unsigned), b = nc_axx__operand(i & 255, 0);
        work->table[i] = nc_axx__with_sign(nc_axx_product(m, nc_axx__abs(a), nc_axx__abs(b)), a, b);
    }
    *out = *work;
    nc__free(NULL, work, sizeof *work);
    return NC_OK;
}

NC_API int32_t nc_axx_product(const nc_axx_mult *m, int a, int b) {
    const uint32_t i = ((uint32_t)a + (m->a_unsigned ? 0 : 128)) & 255;
    const uint32_t k = ((uint32_t)b + (m->b_unsigned ? 0 : 128)) & 255;
    return m->table[i * 256 + k];
}

/* -- metrics -- */

/* One pass in the table's order, which the sums' rounding depends on. */
static void nc_axx__measure(const nc_axx__shape *shape, const int32_t *table,
                            nc_axx_metrics *metrics) {
    const int whole = shape->used[0] == shape->bits[0] && shape->used[1] == shape->bits[1];
    const uint32_t entries = nc_axx__entries(shape);
    nc_axx_metrics e = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0};
    double pairs = 0, others = 0;
    uint32_t i;
    for (i = 0; i < entries; i++) {
        const double exact = (double)nc_axx__exact_at(shape, i);
        const double error = (double)table[i] - exact, size = fabs(error);
        const double base = fabs(exact), relative = size / (base < 1 ? 1 : base);
        if (!whole && !nc_axx__has_pair(shape, i)) continue;
        pairs++;
        e.mae += size;
        e.mre += relative;
        e.mse += error * error;
        e.bias += error;
        e.ep += error != 0;
        if (size > e.wce) e.wce = size;
        if (relative > e.wcre) e.wcre = relative;
        if (base <= 0) continue;
        others++;
        e.mre_nonzero += relative;
        if (relative > e.wcre_nonzero) e.wcre_nonzero = relative;
    }
    e.mae /= pairs;
    e.mre /= pairs / 100;
    e.ep /= pairs / 100;
    e.mse /= pairs;
    e.bias /= pairs;
    e.wcre *= 100;
    e.rmse = sqrt(e.mse);
    e.mre_nonzero /= others / 100;
    e.wcre_nonzero *= 100;
    *metrics = e;
}

NC_API void nc_axx_measure(const nc_axx_mult *m, nc_axx_metrics *metrics) {
    const nc_axx__shape shape = nc_axx__shape_of(m);
    nc_axx__measure(&shape, m->table, metrics);
}

NC_API nc_status nc_axx_histogram(const nc_axx_mult *m, int32_t lowest, uint32_t width,
                                  uint32_t *counts, size_t n) {
    nc_axx__shape shape;
    uint32_t i;
    if (!m || !counts || !n || !width) return NC_ERR_ARG;
    shape = nc_axx__shape_of(m);
    memset(counts, 0, n * sizeof *counts);
    for (i = 0; i < 65536; i++) {
        const int64_t from = (int64_t)m->table[i] - nc_axx__exact_at(&shape, i) - lowest;
        const uint64_t bin = from < 0 ? 0 : (uint64_t)from / width;
        counts[bin < n ? bin : n - 1] += (uint32_t)nc_axx__has_pair(&shape, i);
    }
    return NC_OK;
}

/* -- other widths -- */

static int nc_axx__is_width(uint32_t bits) { return bits >= 2 && bits <= 12; }

NC_API nc_status nc_axx_wide_create(nc_axx_wide **wide, uint32_t a_bits, uint32_t b_bits,
                                    int is_unsigned) {
    nc_axx_wide *w;
    nc_axx__shape shape;
    uint32_t i;
    if (!wide) return NC_ERR_ARG;
    *wide = NULL;
    if (!nc_axx__is_width(a_bits) || !nc_axx__is_width(b_bits)) return NC_ERR_ARG;
    w = (nc_axx_wide *)nc__calloc(NULL, sizeof *w);
    if (!w) return NC_ERR_MEMORY;
    (void)snprintf(w->name, sizeof w->name, "exact_%ux%u%s", (unsigned)a_bits, (unsigned)b_bits,
                   is_unsigned ? "_u" : "");
    w->a_unsigned = w->b_unsigned = (uint8_t)(is_unsigned != 0);
    w->a_bits = (uint8_t)a_bits;
    w->b_bits = (uint8_t)b_bits;
    shape = nc_axx__wide_shape(w);
    w->table = (int32_t *)nc__alloc(NULL, nc__mul_size(nc_axx__entries(&shape), 4));
    if (!w->table) {
        nc_axx_wide_destroy(w);
        return NC_ERR_MEMORY;
    }
    for (i = 0; i < nc_axx__entries(&shape); i++) w->table[i] = nc_axx__exact_at(&shape, i);
    *wide = w;
    return NC_OK;
}

NC_API void nc_axx_wide_destroy(nc_axx_wide *wide) {
    if (!wide) return;
    nc__free(NULL, wide->table, 0);
    nc__free(NULL, wide, sizeof *wide);
}

NC_API int32_t nc_axx_wide_product(const nc_axx_wide *wide, int a, int b) {
    const nc_axx__shape s = nc_axx__wide_shape(wide);
    const uint32_t i = (uint32_t)a & ((UINT32_C(1) << s.bits[0]) - 1);
    const uint32_t k = (uint32_t)b & ((UINT32_C(1) << s.bits[1]) - 1);
    return wide->table[(i << s.bits[1] | k) ^ nc_axx__byte_order(&s)];
}

NC_API void nc_axx_wide_measure(const nc_axx_wide *wide, nc_axx_metrics *metrics) {
    const nc_axx__shape shape = nc_axx__wide_shape(wide);
    nc_axx__measure(&shape, wide->table, metrics);
}

NC_API void nc_axx_embed(nc_axx_mult *m, const nc_axx_wide *wide) {
    nc_axx__shape shape;
    uint32_t i;
    memset(m, 0, offsetof(nc_axx_mult, table));
    memcpy(m->name, wide->name, sizeof m->name);
    m->relative_power = wide->relative_power;
    m->a_unsigned = wide->a_unsigned;
    m->b_unsigned = wide->b_unsigned;
    m->a_bits = wide->a_bits < 8 ? wide->a_bits : 0;
    m->b_bits = wide->b_bits < 8 ? wide->b_bits : 0;
    shape = nc_axx__shape_of(m);
    for (i = 0; i < 65536; i++) {
        const int a = nc_axx__operand_at(&shape, i, 0), b = nc_axx__operand_at(&shape, i, 1);
        m->table[i] = nc_axx_wide_product(wide, nc_axx__narrow(a, shape.used[0], shape.no_sign[0]),
                                          nc_axx__narrow(b, shape.used[1], shape.no_sign[1]));
    }
}

/* >>files ======================================================================= */

NC__COLD_BEGIN

/* -- pieces of text. The reader's status is sticky: after a failure nothing more is read -- */

static void nc_axx__skip_line(nc__text *t) {
    while (nc__peek(t, 0) >= 0 && nc__peek(t, 0) != '\n') nc__step(t);
}

/* A comment of C; one that never ends fails where it begins. */
static void nc_axx__skip_comment(nc__text *t) {
    const nc__text start = *t;
    if (nc__peek(t, 1) == '/') {
        nc_axx__skip_line(t);
        return;
    }
    t->at += 2;
    while (nc__peek(t, 0) >= 0 && !(nc__peek(t, 0) == '*' && nc__peek(t, 1) == '/')) nc__step(t);
    if (nc__peek(t, 0) < 0) {
        *t = start;
        (void)nc__text_fail(t, NC_ERR_FORMAT, "a comment without an end");
        return;
    }
    t->at += 2;
}

/* White space, comments and lines of the preprocessor. */
static void nc_axx__skip_c(nc__text *t) {
    for (;;) {
        const int c = nc__peek(t, 0), next = nc__peek(t, 1);
        if (nc__is_space(c))
            nc__step(t);
        else if (c == '#')
            nc_axx__skip_line(t);
        else if (c == '/' && (next == '/' || next == '*'))
            nc_axx__skip_comment(t);
        else
            return;
    }
}

/* The next character of the program, -1 at its end. */
static int nc_axx__next(nc__text *t) {
    nc_axx__skip_c(t);
    return nc__peek(t, 0);
}

static void nc_axx__expect(nc__text *t, char wanted) {
    if (nc_axx__next(t) != wanted)
        (void)nc__text_fail(t, NC_ERR_FORMAT, "expected '%c'", wanted);
    else
        t->at++;
}

/* Digits of a base up to 16. */
static uint64_t nc_axx__digits_of(nc__text *t, uint32_t base) {
    const nc__text start = *t;
    uint64_t value = 0;
    int digits = 0;
    for (;; t->at++, digits++) {
        const int c = nc__peek(t, 0), low = c | 32;
        const int digit = nc__is_digit(c)            ? c - '0'
                          : low >= 'a' && low <= 'f' ? low - 'a' + 10
                                                     : 16;
        if (digit >= (int)base) break;
        if (value > (UINT64_MAX - (uint64_t)digit) / base) {
            *t = start;
            (void)nc__text_fail(t, NC_ERR_LIMIT, "the number is too large for 64 bits");
            return 0;
        }
        value = value * base + (uint64_t)digit;
    }
    if (!digits) (void)nc__text_fail(t, NC_ERR_FORMAT, "a number is missing");
    return value;
}

/* Decimal or, after 0x, hexadecimal digits; with octal, as in C, after a 0 octal ones. */
static uint64_t nc_axx__natural(nc__text *t, int octal) {
    if (nc__peek(t, 0) != '0') return nc_axx__digits_of(t, 10);
    if ((nc__peek(t, 1) | 32) != 'x') return nc_axx__digits_of(t, octal ? 8 : 10);
    t->at += 2;
    return nc_axx__digits_of(t, 16);
}

/* The same with a sign where allowed, in 63 bits. */
static int64_t nc_axx__integer(nc__text *t, int with_sign) {
    const int minus = with_sign && nc__peek(t, 0) == '-';
    const nc__text start = *t;
    uint64_t value;
    if (minus || (with_sign && nc__peek(t, 0) == '+')) t->at++;
    value = nc_axx__natural(t, 0);
    if (value > INT64_MAX) {
        *t = start;
        (void)nc__text_fail(t, NC_ERR_LIMIT, "the number is too large for 63 bits");
        return 0;
    }
    return minus ? -(int64_t)value : (int64_t)value;
}

/* A table entry of this value. */
static int32_t nc_axx__entry(nc__text *t, int64_t value) {
    if (value < INT32_MIN || value > INT32_MAX) {
        (void)nc__text_fail(t, NC_ERR_LIMIT, "a product does not fit 32 bits");
        return 0;
    }
    return (int32_t)value;
}

/* -- words, which stay in the text -- */

typedef struct nc_axx__word {
    const char *at;
    size_t length; /* 0: there is none */
} nc_axx__word;

static int nc_axx__is(nc_axx__word word, const char *text) {
    return strlen(text) == word.length && !memcmp(word.at, text, word.length);
}

/* -- what names say of a multiplier -- */

/* The table that a file is read into. With `own` its sizes are the file's, and its memory is
 * allocated when they are known; else it is 256 x 256. */
typedef struct nc_axx__table {
    nc_axx__shape shape;
    int own;
    int32_t *at;
} nc_axx__table;

/* A file on its way into a table. */
typedef struct nc_axx__input {
    const void *data;
    size_t bytes;
    const char *name;
    nc_axx_reading how;
    nc_axx_report *report;
    nc_error *err;
} nc_axx__input;

/* What a name or its types say; 0 where they say nothing. */
typedef struct nc_axx__facts {
    char kind; /* '*', '+' or '/' */
    char sign; /* 's' or 'u' */
    uint32_t bits[2];
} nc_axx__facts;

/* How much of a word a message shows. */
static int nc_axx__shown(nc_axx__word word) { return (int)(word.length < 60 ? word.length : 60); }

static int nc_axx__begins(nc_axx__word word, const char *text) {
    return word.length >= strlen(text) && !memcmp(word.at, text, strlen(text));
}

/* Takes the digits that a word begins with: their value, 0 for none and from 1,000 on. */
static uint32_t nc_axx__digits(nc_axx__word *word) {
    uint32_t value = 0;
    for (; word->length && nc__is_digit(*word->at); word->at++, word->length--)
        value = value < 1000 ? value * 10 + (uint32_t)(*word->at - '0') : 1000;
    return value < 1000 ? value : 0;
}

/* EvoApproxLib's names: mul or add, the bits of the operands as 8 or 8x4, then s or u. */
static int nc_axx__evoapprox_name(nc_axx__facts *f, nc_axx__word word) {
    const int adds = nc_axx__begins(word, "add");
    if (!adds && !nc_axx__begins(word, "mul")) return 0;
    word.at += 3;
    word.length -= 3;
    f->bits[0] = f->bits[1] = nc_axx__digits(&word);
    if (f->bits[0] && word.length > 1 && *word.at == 'x' && nc__is_digit(word.at[1])) {
        word.at++;
        word.length--;
        f->bits[1] = nc_axx__digits(&word);
    }
    if (!f->bits[0] || !f->bits[1] || !word.length || (*word.at != 's' && *word.at != 'u'))
        return 0;
    f->sign = *word.at;
    f->kind = adds ? '+' : '*';
    return 1;
}

/* ArithsGen's names: f_ or h_ (flat, hierarchical) or nothing, then s_ or u_, the kind of circuit
 * and the bits of its operands. */
static int nc_axx__arithsgen_name(nc_axx__facts *f, nc_axx__word word) {
    static const struct {
        const char *name;
        char kind;
    } known[] = {{"arrmul", '*'},     {"arrbam", '*'},  {"arrtm", '*'}, {"bam", '*'},
                 {"tm", '*'},         {"wallace", '*'}, {"dadda", '*'}, {"csamul", '*'},
                 {"CSAwallace", '*'}, {"csabam", '*'},  {"csatm", '*'}, {"karatsuba", '*'},
                 {"rca", '+'},        {"pg_rca", '+'},  {"cla", '+'},   {"cska", '+'},
                 {"arrdiv", '/'}};
    size_t i;
    if (nc_axx__begins(word, "f_") || nc_axx__begins(word, "h_")) {
        word.at += 2;
        word.length -= 2;
    }
    if (nc_axx__begins(word, "s_") || nc_axx__begins(word, "u_")) {
        f->sign = *word.at;
        word.at += 2;
        word.length -= 2;
    }
    for (i = 0; i < sizeof known / sizeof *known && !nc_axx__begins(word, known[i].name); i++) {
    }
    if (i == sizeof known / sizeof *known || (!f->sign && known[i].kind != '/')) return 0;
    f->kind = known[i].kind;
    while (word.length && !nc__is_digit(*word.at)) word.at++, word.length--;
    f->bits[0] = f->bits[1] = nc_axx__digits(&word);
    return 1;
}

/* What a name says: of the whole word or, as in my_mul8u_copy, of a part of it. */
static nc_axx__facts nc_axx__facts_of(nc_axx__word word) {
    const nc_axx__facts nothing = {0, 0, {0, 0}};
    nc_axx__facts f = nothing;
    if (nc_axx__arithsgen_name(&f, word)) return f;
    for (; word.length; word.at++, word.length--) {
        f = nothing;
        if (nc_axx__evoapprox_name(&f, word)) return f;
    }
    return nothing;
}

static nc_axx__word nc_axx__word_of(const char *text) {
    nc_axx__word word;
    word.at = text;
    word.length = strlen(text);
    return word;
}

/* The report in words. */
static void nc_axx__say(nc_axx_report *r) {
    static const char *const from[] = {"assumed", "as asked", "by name", "by type"};
    int used = snprintf(r->text, sizeof r->text, "%u x %u bits %s, %s %s", (unsigned)r->a_bits,
                        (unsigned)r->b_bits, from[r->widths_from],
                        r->a_unsigned != r->b_unsigned ? "of both signs"
                        : r->a_unsigned                ? "unsigned"
                                                       : "signed",
                        from[r->sign_from]);
    if (r->differs && used > 0 && (size_t)used < sizeof r->text)
        (void)snprintf(r->text + used, sizeof r->text - (size_t)used,
                       "; %u products are not those of this name", (unsigned)r->differs);
}

/* Signs of the operands by what was asked, what names say and what types say, in this order. */
static void nc_axx__settle_signs(nc_axx__table *m, const nc_axx__input *in, nc_axx__word unit,
                                 const int *are_unsigned) {
    const char by_unit = nc_axx__facts_of(unit).sign;
    const char by_file = nc_axx__facts_of(nc_axx__word_of(in->name)).sign;
    uint8_t *no_sign = m->shape.no_sign;
    nc_axx_report *r = in->report;
    no_sign[0] = no_sign[1] = 0;
    r->sign_from = NC_AXX_FROM_NOTHING;
    if (in->how.sign != NC_AXX_SIGN_FILE) {
        no_sign[0] = no_sign[1] = in->how.sign == NC_AXX_SIGN_UNSIGNED;
        r->sign_from = NC_AXX_FROM_OPTION;
    } else if (by_unit || by_file) {
        no_sign[0] = no_sign[1] = (by_unit ? by_unit : by_file) == 'u';
        r->sign_from = NC_AXX_FROM_NAME;
    } else if (are_unsigned) {
        no_sign[0] = are_unsigned[0] != 0;
        no_sign[1] = are_unsigned[1] != 0;
        r->sign_from = NC_AXX_FROM_TYPES;
    }
    r->a_unsigned = no_sign[0];
    r->b_unsigned = no_sign[1];
}

/* Widths of the operands and what says them. */
static void nc_axx__set_widths(const nc_axx__input *in, uint32_t a, uint32_t b,
                               nc_axx_origin from) {
    in->report->a_bits = (uint8_t)(a < 255 ? a : 255);
    in->report->b_bits = (uint8_t)(b < 255 ? b : 255);
    in->report->widths_from = (uint8_t)from;
}

/* Whether there can be a table of these widths. */
static nc_status nc_axx__check_widths(const nc_axx__table *m, const nc_axx__input *in,
                                      nc_axx__word unit) {
    const int shown = nc_axx__shown(unit);
    const unsigned a = in->report->a_bits, b = in->report->b_bits;
    if (a == 8 && b == 8) return NC_OK;
    if (m->own && nc_axx__is_width(a) && nc_axx__is_width(b)) return NC_OK;
    return nc__fail(in->err, NC_ERR_UNSUPPORTED, 0, 0,
                    m->own
                        ? "%.*s multiplies %u by %u bits; 2 to 12 can be read"
                        : "%.*s multiplies %u by %u bits, the table 8 by 8: read it as a wide one",
                    shown, unit.at, a, b);
}

/* Memory for a table whose widths are known. */
static nc_status nc_axx__make_room(nc_axx__table *m, const nc_axx__input *in) {
    const uint8_t bits[2] = {in->report->a_bits, in->report->b_bits};
    int k;
    for (k = 0; k < 2; k++) {
        if (m->own) m->shape.bits[k] = bits[k];
        m->shape.used[k] = bits[k] < m->shape.bits[k] ? bits[k] : m->shape.bits[k];
    }
    if (!m->own) return NC_OK;
    m->at = (int32_t *)nc__calloc(NULL, nc__mul_size(nc_axx__entries(&m->shape), sizeof *m->at));
    return m->at ? NC_OK : nc__fail(in->err, NC_ERR_MEMORY, 0, 0, "out of memory");
}

/* Signs and widths of a circuit, with what its types say (null and 0: nothing). */
static nc_status nc_axx__settle(nc_axx__table *m, const nc_axx__input *in, nc_axx__word unit,
                                const int *are_unsigned, const uint32_t *bits) {
    const nc_axx__facts by_unit = nc_axx__facts_of(unit);
    const nc_axx__facts by_file = nc_axx__facts_of(nc_axx__word_of(in->name));
    const nc_axx__facts *f = by_unit.kind ? &by_unit : &by_file;
    nc_axx_report *r = in->report;
    const int shown = nc_axx__shown(unit);
    (void)snprintf(r->unit, sizeof r->unit, "%.*s", shown, unit.at);
    if (!in->how.unit && (f->kind == '+' || f->kind == '/'))
        return nc__fail(in->err, NC_ERR_UNSUPPORTED, 0, 0, "%.*s is %s of %u-bit operands", shown,
                        unit.at, f->kind == '+' ? "an adder" : "a divider", (unsigned)f->bits[0]);
    nc_axx__settle_signs(m, in, unit, are_unsigned);
    if (in->how.bits[0])
        nc_axx__set_widths(in, in->how.bits[0], in->how.bits[1], NC_AXX_FROM_OPTION);
    else if (f->bits[0])
        nc_axx__set_widths(in, f->bits[0], f->bits[1], NC_AXX_FROM_NAME);
    else if (bits && bits[0])
        nc_axx__set_widths(in, bits[0], bits[1], NC_AXX_FROM_TYPES);
    else
        nc_axx__set_widths(in, 8, 8, NC_AXX_FROM_NOTHING);
    return nc_axx__check_widths(m, in, unit);
}

/* What is known of a table before it is read. Of one of 256 x 256 products whose name says fewer
 * than 8 bits, only the products of so many count; one of its own sizes has 0 bits as long as
 * nothing says them. */
static nc_status nc_axx__settle_table(nc_axx__table *m, const nc_axx__input *in) {
    const nc_axx__facts f = nc_axx__facts_of(nc_axx__word_of(in->name));
    const uint32_t most = m->own ? 12 : 8;
    const int say =
        f.kind == '*' && f.bits[0] >= 2 && f.bits[0] <= most && f.bits[1] >= 2 && f.bits[1] <= most;
    const uint32_t usual = m->own ? 0 : 8;
    if (in->how.bits[0])
        nc_axx__set_widths(in, in->how.bits[0], in->how.bits[1], NC_AXX_FROM_OPTION);
    else if (say)
        nc_axx__set_widths(in, f.bits[0], f.bits[1], NC_AXX_FROM_NAME);
    else
        nc_axx__set_widths(in, usual, usual, NC_AXX_FROM_TYPES);
    if (m->own) return NC_OK;
    if (in->report->a_bits > 8 || in->report->b_bits > 8)
        return nc_axx__check_widths(m, in, nc_axx__word_of(in->name));
    return nc_axx__make_room(m, in);
}

/* The bits of an operand of which there are `count`; 0 where they are none. */
static uint32_t nc_axx__bits_of(uint64_t count) {
    uint32_t bits = 2;
    while (bits <= 12 && count != (UINT64_C(1) << bits)) bits++;
    return bits <= 12 ? bits : 0;
}

/* A file has a table of so many lines and columns. */
static nc_status nc_axx__fit_table(nc_axx__table *m, const nc_axx__input *in, uint64_t lines,
                                   uint64_t columns) {
    const uint32_t a = nc_axx__bits_of(lines), b = nc_axx__bits_of(columns);
    nc_axx_report *r = in->report;
    if (!m->own && lines == 256 && columns == 256) return NC_OK;
    if (!m->own)
        return nc__fail(in->err, NC_ERR_FORMAT, 0, 0, "%lu x %lu products, not 256 x 256",
                        (unsigned long)lines, (unsigned long)columns);
    if (r->a_bits && (a != r->a_bits || b != r->b_bits))
        return nc__fail(in->err, NC_ERR_FORMAT, 0, 0,
                        "%lu x %lu products, not those of %u by %u bits", (unsigned long)lines,
                        (unsigned long)columns, (unsigned)r->a_bits, (unsigned)r->b_bits);
    if (!a || !b)
        return nc__fail(in->err, NC_ERR_FORMAT, 0, 0,
                        "%lu x %lu products are no table of operands of 2 to 12 bits",
                        (unsigned long)lines, (unsigned long)columns);
    if (!r->a_bits) nc_axx__set_widths(in, a, b, NC_AXX_FROM_TYPES);
    return nc_axx__make_room(m, in);
}

/* Where in the text the failure was. */
static nc_status nc_axx__at_place(nc_status status, const nc__text *t) {
    if (status != NC_OK && t->err) {
        t->err->line = (int32_t)t->line;
        t->err->column = (int32_t)(t->at - t->line_start) + 1;
    }
    return status;
}

/* So many products without lines: a square table where nothing says the widths. */
static nc_status nc_axx__fit_count(nc_axx__table *m, const nc_axx__input *in, uint64_t count) {
    const nc_axx_report *r = in->report;
    uint32_t a = m->own ? r->a_bits : 8, b = m->own ? r->b_bits : 8;
    if (!a)
        for (a = b = 2; a < 12 && (UINT64_C(1) << (a + b)) < count; a++) b++;
    if (count == (UINT64_C(1) << (a + b)))
        return nc_axx__fit_table(m, in, UINT64_C(1) << a, UINT64_C(1) << b);
    return nc__fail(in->err, NC_ERR_FORMAT, 0, 0, "%lu products, not those of %u by %u bits",
                    (unsigned long)count, (unsigned)a, (unsigned)b);
}

/* Bits of two's complement as a number. */
static int64_t nc_axx__extend(uint64_t bits, size_t width, int is_signed) {
    const uint64_t sign = is_signed ? UINT64_C(1) << (width - 1) % 64 : 0;
    return (int64_t)((bits ^ sign) - sign);
}

/* -- C headers -- */

/* Up to the first [lines][columns] = {. */
static void nc_axx__find_array(nc__text *t, uint64_t size[2]) {
    int k;
    while (nc_axx__next(t) >= 0 && nc__peek(t, 0) != '[') nc__step(t);
    if (nc__peek(t, 0) < 0)
        (void)nc__text_fail(t, NC_ERR_FORMAT, "no array NAME[256][256] in the file");
    for (k = 0; k < 2; k++) {
        nc_axx__expect(t, '[');
        nc_axx__skip_c(t);
        size[k] = (uint64_t)nc_axx__integer(t, 0);
        nc_axx__expect(t, ']');
    }
    nc_axx__expect(t, '=');
    nc_axx__expect(t, '{');
}

/* NAME[256][256] = {{..}, ..}; braces may be left out inside. Both operands index by their bytes:
 * from 128 on they stand for negative ones. */
static nc_status nc_axx__read_header(nc_axx__table *m, const nc_axx__input *in) {
    uint32_t count = 0, depth = 1, entries, row;
    uint64_t size[2] = {0, 0};
    nc_status status;
    nc__text t;
    nc__text_open(&t, in->data, in->bytes, in->err);
    nc_axx__find_array(&t, size);
    if (t.status != NC_OK) return t.status;
    status = nc_axx__at_place(nc_axx__fit_table(m, in, size[0], size[1]), &t);
    if (status != NC_OK) return status;
    entries = nc_axx__entries(&m->shape);
    row = UINT32_C(1) << m->shape.bits[1];
    while (depth && t.status == NC_OK) {
        const int c = nc_axx__next(&t);
        if (c == '{' && depth == 1 && count % row == 0) {
            depth = 2;
            t.at++;
        } else if (c == '}' && (count % row || (depth == 1 && count != entries))) {
            (void)nc__text_fail(&t, NC_ERR_FORMAT, "a row needs %u products and the array %u rows",
                                (unsigned)row, (unsigned)(entries / row));
        } else if (c == '}') {
            depth--;
            t.at++;
            if (depth && nc_axx__next(&t) == ',') t.at++;
        } else if (count == entries) {
            (void)nc__text_fail(&t, NC_ERR_FORMAT, "more than %u products", (unsigned)entries);
        } else {
            const int64_t value = nc_axx__integer(&t, 1);
            m->at[count++ ^ nc_axx__byte_order(&m->shape)] = nc_axx__entry(&t, value);
            if (nc_axx__next(&t) == ',')
                t.at++;
            else if (nc__peek(&t, 0) != '}')
                (void)nc__text_fail(&t, NC_ERR_FORMAT, "expected ',' or '}'");
        }
    }
    return t.status;
}

/* A table that is written. */
typedef struct nc_axx__written {
    nc_axx__shape shape;
    const int32_t *at;
    const char *name;
} nc_axx__written;

/* lut[256][256] by the operands' bytes, as TFApprox and TransAxx include it. */
static nc_status nc_axx__write_header(const nc_axx__written *v, nc__buffer *b, nc_error *err) {
    const uint32_t entries = nc_axx__entries(&v->shape), row = UINT32_C(1) << v->shape.bits[1];
    int wide = 0;
    uint32_t i;
    (void)err;
    for (i = 0; i < entries; i++) wide |= v->at[i] < INT16_MIN || v->at[i] > INT16_MAX;
    nc__buffer_print(b,
                     "/* %s: products of all pairs of %s, first operand first%s */\n"
                     "#include <stdint.h>\n\nconst %s lut[%u][%u] = {\n",
                     v->name, v->shape.bits[0] == 8 && row == 256 ? "bytes" : "operands",
                     v->shape.no_sign[0]     ? ""
                     : v->shape.bits[0] == 8 ? "; bytes from 128 on are negative"
                                             : "; negative ones by their bits, behind the others",
                     wide ? "int32_t" : "int16_t", (unsigned)(entries / row), (unsigned)row);
    for (i = 0; i < entries; i++) {
        const char *before = i % row == 0 ? "    {" : i % 16 == 0 ? ",\n     " : ",";
        nc__buffer_print(b, (i + 1) % row ? "%s%d" : "%s%d},\n", before,
                         (int)v->at[i ^ nc_axx__byte_order(&v->shape)]);
    }
    nc__buffer_print(b, "};\n");
    return NC_OK;
}

/* -- CSV -- */

static void nc_axx__skip_blanks(nc__text *t) {
    while (nc__peek(t, 0) == ' ' || nc__peek(t, 0) == '\t') t->at++;
}

enum { NC_AXX__FIELDS = 4097 }; /* of a line: a row's products and its number */

/* An integer; one such as 12.0 or 1.2e+01 too. */
static int64_t nc_axx__csv_number(nc__text *t) {
    const nc__text start = *t;
    int64_t value = nc_axx__integer(t, 1);
    double real;
    if (nc__peek(t, 0) != '.' && (nc__peek(t, 0) | 32) != 'e') return value;
    *t = start;
    real = nc__text_real(t);
    if (t->status != NC_OK) return 0;
    if (fabs(real) < 4503599627370496.0) {
        value = (int64_t)real;
        if ((double)value - real < 1e-300 && real - (double)value < 1e-300) return value;
    }
    *t = start;
    (void)nc__text_fail(t, NC_ERR_FORMAT, "the value must be an integer");
    return 0;
}

/* The numbers of a line, behind , or ; or blanks: at most 4,097. Returns how many. */
static uint32_t nc_axx__csv_line(nc__text *t, int64_t value[NC_AXX__FIELDS]) {
    uint32_t n = 0;
    int c;
    for (;;) {
        nc_axx__skip_blanks(t);
        value[n++] = nc_axx__csv_number(t);
        nc_axx__skip_blanks(t);
        c = nc__peek(t, 0);
        if (c == ',' || c == ';')
            t->at++;
        else if (c <= 0 || !strchr("+-0123456789", c) || nc__is_digit(t->at[-1]))
            break;
        if (n == NC_AXX__FIELDS) {
            (void)nc__text_fail(t, NC_ERR_FORMAT, "more than 4,096 in a line");
            return n;
        }
    }
    c = nc__peek(t, 0);
    if (c >= 0 && c != '\n' && c != '\r' && c != '#')
        (void)nc__text_fail(t, NC_ERR_FORMAT, "expected ',' or the end of the line");
    return n;
}

/* What stands before and beside the products. */
typedef struct nc_axx__csv {
    nc__text t;
    int64_t value[NC_AXX__FIELDS]; /* of a line */
    uint32_t numbers_lines;        /* the first column does */
    uint32_t by_bytes;             /* columns are numbered from 0 */
    uint32_t lines, triples;
    uint8_t *seen; /* bits of the pairs */
} nc_axx__csv;

/* Whether columns have the numbers of 2^n signed or unsigned operands. */
static int nc_axx__csv_labels(const int64_t *value, uint32_t n) {
    uint32_t i = 0;
    if (!nc_axx__bits_of(n) || (value[0] != 0 && value[0] != -(int64_t)(n / 2))) return 0;
    while (i < n && value[i] == value[0] + (int64_t)i) i++;
    return i == n;
}

/* Over the mark of UTF-8 that a file may begin with. */
static void nc_axx__skip_mark(nc__text *t) {
    if (nc__peek(t, 0) == 0xEF && nc__peek(t, 1) == 0xBB && nc__peek(t, 2) == 0xBF)
        t->line_start = t->at += 3;
}

/* To the next line that has more than a comment. */
static void nc_axx__csv_skip(nc__text *t) {
    for (nc__skip_space(t); nc__peek(t, 0) == '#'; nc__skip_space(t)) nc_axx__skip_line(t);
}

/* Comments, and a line that names or numbers the columns. */
static void nc_axx__csv_head(nc_axx__csv *csv, int first) {
    nc__text *t = &csv->t, start;
    int c, quotes;
    nc_axx__csv_skip(t);
    c = nc__peek(t, 0);
    if (!first || c < 0) return;
    start = *t;
    quotes = c == '"' && nc__peek(t, 1) == '"' ? 2 : 0;
    c = nc__peek(t, (size_t)quotes);
    if (c == ',' || c == ';') { /* the corner has no name */
        csv->numbers_lines = 1;
        t->at += quotes + 1;
        c = nc__peek(t, 0);
    } else if (quotes) {
        c = '"';
    }
    if (nc__is_letter(c) || c == '"' || c == '\'') {
        nc_axx__skip_line(t);
    } else {
        nc_error ignored;
        uint32_t n;
        t->err = &ignored;
        n = nc_axx__csv_line(t, csv->value);
        t->err = start.err;
        if (t->status == NC_OK && nc_axx__csv_labels(csv->value, n))
            csv->by_bytes = csv->value[0] == 0;
        else
            *t = start;
    }
    nc_axx__csv_skip(t);
}

/* a, b, product: a pair that `seen` has no bit of yet. */
static void nc_axx__csv_pair(nc_axx__table *m, nc_axx__csv *csv, const int64_t value[3]) {
    nc__text *t = &csv->t;
    uint64_t at = 0;
    int k;
    for (k = 0; k < 2; k++) {
        const uint32_t bits = m->shape.bits[k];
        const uint64_t x = /* modulo 2^64: what is out of range is large */
            (uint64_t)value[k] + (m->shape.no_sign[k] ? 0 : UINT64_C(1) << (bits - 1));
        if (x >> bits) {
            (void)nc__text_fail(t, NC_ERR_FORMAT, "an operand is out of range");
            return;
        }
        at = at << bits | x;
    }
    if (csv->seen[at / 8] >> at % 8 & 1)
        (void)nc__text_fail(t, NC_ERR_FORMAT, "a pair is given twice");
    csv->seen[at / 8] = (uint8_t)(csv->seen[at / 8] | 1 << at % 8);
    m->at[at] = nc_axx__entry(t, value[2]);
}

/* The first line has n numbers: what the table is. Without lines to count it is as wide as high. */
static nc_status nc_axx__csv_fit(nc_axx__table *m, const nc_axx__input *in, nc_axx__csv *csv,
                                 uint32_t n) {
    const uint32_t a = in->report->a_bits;
    const uint64_t columns = csv->triples ? UINT64_C(1) << in->report->b_bits : n;
    nc_status status;
    if (m->own && csv->triples && !a)
        return nc__fail(in->err, NC_ERR_FORMAT, 0, 0,
                        "lines a,b,product do not say how many bits the operands have");
    if (!m->own && !csv->triples && n != 256)
        return nc__text_fail(&csv->t, NC_ERR_FORMAT, "expected 256 products");
    status = m->own ? nc_axx__fit_table(m, in, a ? UINT64_C(1) << a : columns, columns) : NC_OK;
    if (status != NC_OK || !csv->triples) return status;
    csv->seen = (uint8_t *)nc__calloc(NULL, nc_axx__entries(&m->shape) / 8);
    return csv->seen ? NC_OK : nc__fail(in->err, NC_ERR_MEMORY, 0, 0, "out of memory");
}

/* Lines of products in the table's order, or of a, b, product, every pair once: what the first line
 * is, all must be. */
static nc_status nc_axx__csv_lines(nc_axx__table *m, const nc_axx__input *in, nc_axx__csv *csv) {
    uint32_t wanted = 1, columns = 0, flip = 0, i;
    nc__text *t = &csv->t;
    nc__text_open(t, in->data, in->bytes, in->err);
    nc_axx__skip_mark(t);
    for (nc_axx__csv_head(csv, 1); nc__peek(t, 0) >= 0; nc_axx__csv_head(csv, 0)) {
        const uint32_t n = nc_axx__csv_line(t, csv->value) - csv->numbers_lines;
        const int64_t *products = csv->value + csv->numbers_lines;
        if (t->status != NC_OK) return t->status;
        if (csv->lines == 0) {
            nc_status status;
            csv->triples = n == 3;
            status = nc_axx__at_place(nc_axx__csv_fit(m, in, csv, n), t);
            if (status != NC_OK) return status;
            columns = UINT32_C(1) << m->shape.bits[1];
            wanted = nc_axx__entries(&m->shape) / (csv->triples ? 1 : columns);
            flip = csv->by_bytes ? nc_axx__byte_order(&m->shape) : 0;
        }
        if (csv->triples && n != 3) (void)nc__text_fail(t, NC_ERR_FORMAT, "expected a,b,product");
        if (!csv->triples && n != columns)
            (void)nc__text_fail(t, NC_ERR_FORMAT, "expected %u products", (unsigned)columns);
        if (++csv->lines > wanted) (void)nc__text_fail(t, NC_ERR_FORMAT, "too many lines");
        if (t->status == NC_OK && csv->triples) nc_axx__csv_pair(m, csv, products);
        for (i = 0; i < columns && t->status == NC_OK && !csv->triples; i++)
            m->at[((csv->lines - 1) * columns + i) ^ flip] = nc_axx__entry(t, products[i]);
    }
    if (csv->lines < wanted) (void)nc__text_fail(t, NC_ERR_FORMAT, "the file has too few products");
    return t->status;
}

static nc_status nc_axx__read_csv(nc_axx__table *m, const nc_axx__input *in) {
    nc_axx__csv *csv = (nc_axx__csv *)nc__calloc(NULL, sizeof *csv);
    nc_status status;
    if (!csv) return nc__fail(in->err, NC_ERR_MEMORY, 0, 0, "out of memory");
    status = nc_axx__csv_lines(m, in, csv);
    nc__free(NULL, csv->seen, 0);
    nc__free(NULL, csv, sizeof *csv);
    return status;
}

static nc_status nc_axx__write_csv(const nc_axx__written *v, nc__buffer *b, nc_error *err) {
    const uint32_t columns = UINT32_C(1) << v->shape.bits[1];
    uint32_t i;
    (void)err;
    for (i = 0; i < nc_axx__entries(&v->shape); i++)
        nc__buffer_print(b, (i + 1) % columns ? "%d," : "%d\n", (int)v->at[i]);
    return NC_OK;
}

/* -- integers: .i16, .i32, .npy, .bin -- */

/* Little-endian integers of `width` bytes; `flip` turns their order into the table's. */
static nc_status nc_axx__read_raw(nc_axx__table *m, size_t width, int is_signed, int by_bytes,
                                  const nc_axx__input *in) {
    const uint8_t *data = (const uint8_t *)in->data;
    const char *sign = is_signed ? "" : "u";
    nc_status status = NC_OK;
    uint32_t flip, i;
    if (!m->own && in->bytes != width * 65536)
        return nc__fail(in->err, NC_ERR_FORMAT, 0, 0, "a table of %sint%u has %lu bytes, not %lu",
                        sign, (unsigned)(8 * width), (unsigned long)(width * 65536),
                        (unsigned long)in->bytes);
    if (in->bytes % width)
        return nc__fail(in->err, NC_ERR_FORMAT, 0, 0, "%lu bytes are no table of %sint%u",
                        (unsigned long)in->bytes, sign, (unsigned)(8 * width));
    if (m->own) status = nc_axx__fit_count(m, in, in->bytes / width);
    if (status != NC_OK) return status;
    flip = by_bytes ? nc_axx__byte_order(&m->shape) : 0;
    for (i = 0; i < nc_axx__entries(&m->shape); i++)
        m->at[i ^ flip] =
            (int32_t)nc_axx__extend(nc__get_le(data + width * i, width), 8 * width, is_signed);
    return NC_OK;
}

/* Whether a product can be negative. */
static int nc_axx__has_sign(const nc_axx__shape *s) { return !s->no_sign[0] || !s->no_sign[1]; }

static nc_status nc_axx__read_i16(nc_axx__table *m, const nc_axx__input *in) {
    return nc_axx__read_raw(m, 2, nc_axx__has_sign(&m->shape), 0, in);
}

static nc_status nc_axx__read_i32(nc_axx__table *m, const nc_axx__input *in) {
    return nc_axx__read_raw(m, 4, 1, 0, in);
}

static nc_status nc_axx__read_bin(nc_axx__table *m, const nc_axx__input *in) {
    return nc_axx__read_raw(m, 2, nc_axx__has_sign(&m->shape), 1, in);
}

/* In 16 bits, in the table's order after this turn. */
static nc_status nc_axx__write_words(const nc_axx__written *v, uint32_t flip, nc__buffer *b,
                                     nc_error *err) {
    const int32_t least = nc_axx__has_sign(&v->shape) ? INT16_MIN : 0;
    const int32_t most = nc_axx__has_sign(&v->shape) ? INT16_MAX : UINT16_MAX;
    uint32_t i;
    for (i = 0; i < nc_axx__entries(&v->shape); i++) {
        const int32_t product = v->at[i ^ flip];
        if (product < least || product > most)
            return nc__fail(err, NC_ERR_LIMIT, 0, 0, "product %d of %d * %d does not fit 16 bits",
                            (int)product, nc_axx__operand_at(&v->shape, i ^ flip, 0),
                            nc_axx__operand_at(&v->shape, i ^ flip, 1));
        nc__buffer_le(b, (uint64_t)(int64_t)product, 2);
    }
    return NC_OK;
}

static nc_status nc_axx__write_i16(const nc_axx__written *v, nc__buffer *b, nc_error *err) {
    return nc_axx__write_words(v, 0, b, err);
}

static nc_status nc_axx__write_bin(const nc_axx__written *v, nc__buffer *b, nc_error *err) {
    return nc_axx__write_words(v, nc_axx__byte_order(&v->shape), b, err);
}

static nc_status nc_axx__write_i32(const nc_axx__written *v, nc__buffer *b, nc_error *err) {
    uint32_t i;
    (void)err;
    for (i = 0; i < nc_axx__entries(&v->shape); i++)
        nc__buffer_le(b, (uint64_t)(int64_t)v->at[i], 4);
    return NC_OK;
}

/* Integers of any width and order, as one matrix or one row. */
static nc_status nc_axx__read_npy(nc_axx__table *m, const nc_axx__input *in) {
    nc__npy a;
    uint32_t i;
    nc_status status = nc__npy_open(&a, in->data, in->bytes, in->err);
    if (status != NC_OK) return status;
    if (a.kind != 'i' && a.kind != 'u')
        return nc__fail(in->err, NC_ERR_FORMAT, 0, 0, "the .npy table must hold integers");
    if (!m->own && !(a.rank == 2 && a.shape[0] == 256 && a.shape[1] == 256) &&
        !(a.rank == 1 && a.shape[0] == 65536))
        return nc__fail(in->err, NC_ERR_FORMAT, 0, 0,
                        "the .npy table must be (256, 256) or (65536,)");
    if (a.rank != 1 && a.rank != 2)
        return nc__fail(in->err, NC_ERR_FORMAT, 0, 0, "the .npy table must have one or two axes");
    if (m->own)
        status = a.rank == 1 ? nc_axx__fit_count(m, in, a.shape[0])
                             : nc_axx__fit_table(m, in, a.shape[0], a.shape[1]);
    for (i = 0; status == NC_OK && i < nc_axx__entries(&m->shape); i++) {
        const uint32_t columns = UINT32_C(1) << m->shape.bits[1];
        const uint32_t lines = UINT32_C(1) << m->shape.bits[0];
        const uint32_t from = a.fortran && a.rank == 2 ? i % columns * lines + i / columns : i;
        const uint64_t bits = nc__npy_bits(&a, from);
        const int64_t v = nc_axx__extend(bits, 8 * a.width, a.kind == 'i');
        if (v < INT32_MIN || v > INT32_MAX || (a.kind == 'u' && bits > INT32_MAX))
            return nc__fail(in->err, NC_ERR_LIMIT, 0, 0, "product %u does not fit 32 bits",
                            (unsigned)i);
        m->at[i] = (int32_t)v;
    }
    return status;
}

static nc_status nc_axx__write_npy(const nc_axx__written *v, nc__buffer *b, nc_error *err) {
    uint64_t shape[2];
    shape[0] = UINT64_C(1) << v->shape.bits[0];
    shape[1] = UINT64_C(1) << v->shape.bits[1];
    nc__npy_head(b, "<i4", shape, 2);
    return nc_axx__write_i32(v, b, err);
}

/* -- names of netlists by number -- */

/* Names by number, in the order in which they were added. */
typedef struct nc_axx__names {
    nc_axx__word *list; /* stb_ds array */
    uint32_t *scopes;   /* another: which call or instance the name belongs to */
    nc__index index;
} nc_axx__names;

static int nc_axx__same(nc_axx__word a, nc_axx__word b) {
    return a.length == b.length && !memcmp(a.at, b.at, a.length);
}

static uint32_t nc_axx__hash(const void *data, size_t bytes) {
    return (uint32_t)nc__mix(nc__fnv1a(NC__FNV_START, data, bytes));
}

static uint32_t nc_axx__name_hash(nc_axx__word word, uint32_t scope) {
    return nc_axx__hash(word.at, word.length) ^ (uint32_t)nc__mix(scope);
}

/* The number of a name of this scope, or UINT32_MAX. */
static uint32_t nc_axx__number_of(const nc_axx__names *names, nc_axx__word word, uint32_t scope) {
    const uint32_t hash = nc_axx__name_hash(word, scope);
    size_t at = hash;
    uint32_t i;
    while ((i = nc__index_next(&names->index, hash, &at)) != UINT32_MAX)
        if (names->scopes[i] == scope && nc_axx__same(names->list[i], word)) break;
    return i;
}

static void nc_axx__add_name(nc_axx__names *names, nc_axx__word word, uint32_t scope, nc__text *t) {
    const uint32_t hash = nc_axx__name_hash(word, scope);
    if (!nc__index_add(&names->index, hash, (uint32_t)stbds_arrlenu(names->list)))
        (void)nc__text_fail(t, NC_ERR_MEMORY, "out of memory");
    stbds_arrput(names->list, word);
    stbds_arrput(names->scopes, scope);
}

static void nc_axx__free_names(nc_axx__names *names) {
    stbds_arrfree(names->list);
    stbds_arrfree(names->scopes);
    nc__index_free(&names->index);
}

/* -- logic: what netlists become, run on 64 pairs of operands a word -- */

enum {
    NC_AXX__GATES = 1 << 20,
    NC_AXX__WORDS = 8,
    NC_AXX__PAIRS = 64 * NC_AXX__WORDS /* at a time */
};

/* Both inputs are literals: 2 node, and 1 more for its complement. Node 0 is always 0; then come
 * the inputs and a node for every gate. */
typedef struct nc_axx__logic_gate {
    uint32_t a, b;
    uint8_t is_xor, live;
} nc_axx__logic_gate;

typedef struct nc_axx__logic {
    nc_axx__logic_gate *gates; /* stb_ds array */
    uint32_t inputs;           /* bits of both operands, the first one's lowest first */
    int is_full;
} nc_axx__logic;

static uint32_t nc_axx__new_gate(nc_axx__logic *l, uint32_t a, uint32_t b, uint8_t is_xor) {
    nc_axx__logic_gate gate;
    gate.a = a;
    gate.b = b;
    gate.is_xor = is_xor;
    gate.live = 0;
    if (stbds_arrlenu(l->gates) == NC_AXX__GATES) {
        l->is_full = 1;
        return 0;
    }
    stbds_arrput(l->gates, gate);
    return 2 * (l->inputs + (uint32_t)stbds_arrlenu(l->gates));
}

static uint32_t nc_axx__and(nc_axx__logic *l, uint32_t a, uint32_t b) {
    if (a == b || b == 1) return a;
    if (a == 1) return b;
    if (!a || !b || a == (b ^ 1)) return 0;
    return nc_axx__new_gate(l, a, b, 0);
}

static uint32_t nc_axx__or(nc_axx__logic *l, uint32_t a, uint32_t b) {
    return nc_axx__and(l, a ^ 1, b ^ 1) ^ 1;
}

static uint32_t nc_axx__xor(nc_axx__logic *l, uint32_t a, uint32_t b) {
    const uint32_t flip = (a ^ b) & 1;
    a &= ~UINT32_C(1);
    b &= ~UINT32_C(1);
    if (a == b) return flip;
    if (!a || !b) return (a | b) ^ flip;
    return nc_axx__new_gate(l, a, b, 1) ^ flip;
}

/* a where `which`, else b. */
static uint32_t nc_axx__either(nc_axx__logic *l, uint32_t which, uint32_t a, uint32_t b) {
    if (which < 2) return which ? a : b;
    return nc_axx__xor(l, nc_axx__and(l, which, nc_axx__xor(l, a, b)), b);
}

/* The gates that these outputs need. */
static void nc_axx__mark_live(nc_axx__logic *l, const uint32_t *outputs, uint32_t n) {
    const uint32_t first = 1 + l->inputs;
    size_t i;
    for (i = 0; i < n; i++)
        if (outputs[i] / 2 >= first) l->gates[outputs[i] / 2 - first].live = 1;
    for (i = stbds_arrlenu(l->gates); i-- > 0;) {
        const nc_axx__logic_gate *gate = &l->gates[i];
        if (!gate->live) continue;
        if (gate->a / 2 >= first) l->gates[gate->a / 2 - first].live = 1;
        if (gate->b / 2 >= first) l->gates[gate->b / 2 - first].live = 1;
    }
}

/* Every gate in its words of `bits`, from those of the inputs. */
static void nc_axx__run_gates(const nc_axx__logic *l, uint64_t *bits) {
    const size_t count = stbds_arrlenu(l->gates);
    size_t i;
    int w;
    for (i = 0; i < count; i++) {
        const nc_axx__logic_gate *gate = &l->gates[i];
        const uint64_t *a = bits + (size_t)(gate->a / 2) * NC_AXX__WORDS;
        const uint64_t *b = bits + (size_t)(gate->b / 2) * NC_AXX__WORDS;
        const uint64_t flip_a = 0 - (uint64_t)(gate->a & 1), flip_b = 0 - (uint64_t)(gate->b & 1);
        uint64_t *to = bits + (1 + l->inputs + i) * NC_AXX__WORDS;
        if (!gate->live) continue;
        if (gate->is_xor)
            for (w = 0; w < NC_AXX__WORDS; w++) to[w] = a[w] ^ b[w];
        else
            for (w = 0; w < NC_AXX__WORDS; w++) to[w] = (a[w] ^ flip_a) & (b[w] ^ flip_b);
    }
}

/* Bit j of word i becomes bit i of word j. */
static void nc_axx__turn_bits(uint64_t w[64]) {
    uint64_t mask = UINT64_C(0xFFFFFFFF);
    uint32_t j, k;
    for (j = 32; j; j >>= 1, mask ^= mask << j)
        for (k = 0; k < 64; k = ((k | j) + 1) & ~j) {
            const uint64_t swap = ((w[k] >> j) ^ w[k | j]) & mask;
            w[k] ^= swap << j;
            w[k | j] ^= swap;
        }
}

/* The operands of entry `at` as bits, a from the lowest and b behind it. */
static uint32_t nc_axx__pair_bits(const nc_axx__shape *s, uint32_t at) {
    const uint32_t index = at ^ nc_axx__byte_order(s), b = s->bits[1];
    return index >> b | (index & ((UINT32_C(1) << b) - 1)) << s->bits[0];
}

/* values[i]: the outputs (at most 64), the lowest first, for pair first + i of NC_AXX__PAIRS, which
 * may be beyond the table. */
static void nc_axx__run_pairs(const nc_axx__logic *l, const uint32_t *outputs, uint32_t n,
                              const nc_axx__shape *s, uint32_t first, uint64_t *bits,
                              uint64_t *values) {
    uint32_t w, i;
    for (w = 0; w < NC_AXX__WORDS; w++) {
        uint64_t pair[64];
        for (i = 0; i < 64; i++) pair[i] = nc_axx__pair_bits(s, first + 64 * w + i);
        nc_axx__turn_bits(pair);
        for (i = 0; i < l->inputs; i++) bits[(size_t)(1 + i) * NC_AXX__WORDS + w] = pair[i];
    }
    nc_axx__run_gates(l, bits);
    for (w = 0; w < NC_AXX__WORDS; w++, values += 64) {
        memset(values, 0, 64 * sizeof *values);
        for (i = 0; i < n; i++)
            values[i] = bits[(size_t)(outputs[i] / 2) * NC_AXX__WORDS + w] ^
                        (0 - (uint64_t)(outputs[i] & 1));
        nc_axx__turn_bits(values);
    }
}

/* Words of all nodes, zeros, if none had to be left out. */
static nc_status nc_axx__node_words(const nc_axx__logic *l, uint64_t **words, nc_error *err) {
    const size_t nodes = 1 + l->inputs + stbds_arrlenu(l->gates);
    *words = NULL;
    if (l->is_full) return nc__fail(err, NC_ERR_LIMIT, 0, 0, "more than 1,048,576 gates");
    *words = (uint64_t *)nc__calloc(NULL, nodes * NC_AXX__WORDS * sizeof **words);
    return *words ? NC_OK : nc__fail(err, NC_ERR_MEMORY, 0, 0, "out of memory");
}

/* -- netlists: C functions of two operands -- */

enum { NC_AXX__VALUES = 16384, NC_AXX__OPS = 524288 };

/* A width in bits with a sign; what a C type keeps of a value. */
typedef struct nc_axx__type {
    uint8_t bits, is_signed;
} nc_axx__type;

/* A value is kept in 64 bits, sign- or zero-extended as its type has it. */
typedef struct nc_axx__op {
    char code; /* of the operator; 'l' <<, 'r' >>, 'e' ==, 'n' !=, 'i' <=, 'm' minus, '=' copy; of
                  values without a sign 'R' >>, 'L' <, 'I' <= */
    nc_axx__type type; /* what the result keeps */
    uint32_t to, a, b;
} nc_axx__op;

typedef struct nc_axx__variable {
    uint32_t value;    /* its first value */
    uint32_t elements; /* 1 but for arrays */
    nc_axx__type type;
} nc_axx__variable;

enum { NC_AXX__PARAMETERS = 8, NC_AXX__CALLS = 32 };

/* A function of the file. */
typedef struct nc_axx__function {
    nc_axx__word name;
    nc_axx__type result;
    uint32_t parameters;
    nc_axx__type types[NC_AXX__PARAMETERS];
    nc_axx__word names[NC_AXX__PARAMETERS];
    nc__text body; /* behind its { */
} nc_axx__function;

typedef struct nc_axx__netlist {
    nc__text t;
    nc_axx__function *functions; /* stb_ds array, as the following */
    nc_axx__op *ops;
    nc_axx__names names;
    nc_axx__variable *variables; /* by the number of their name */
    int64_t *constants;          /* of every value; 0 of those that are none */
    nc_axx__type *types;         /* of every value */
    uint8_t *set;                /* the value has been assigned */
    nc__index literals;          /* values that are constants of the text */
    uint32_t *live, *idle;       /* values of the statement that is read, and free ones */
    uint32_t depth, calls;       /* how deep expressions and calls are nested */
    uint32_t scope, scopes;      /* the call that is read, and how many there were */
    uint32_t known;              /* functions that may be called: those above */
    int returned;
    uint32_t result;
} nc_axx__netlist;

/* A new value; after a failure 0, which is always there: the first operand. */
static uint32_t nc_axx__value(nc_axx__netlist *n, int64_t constant, nc_axx__type type, int set) {
    const uint32_t count = (uint32_t)stbds_arrlenu(n->constants);
    if (count == NC_AXX__VALUES)
        (void)nc__text_fail(&n->t, NC_ERR_LIMIT, "more than 16,384 values");
    if (n->t.status != NC_OK && count) return 0;
    stbds_arrput(n->constants, constant);
    stbds_arrput(n->types, type);
    stbds_arrput(n->set, (uint8_t)set);
    return count;
}

/* A value that is free again after its statement or call: an idle one where there is one. */
static uint32_t nc_axx__scratch(nc_axx__netlist *n, nc_axx__type type, int set) {
    uint32_t at;
    if (n->t.status != NC_OK || !stbds_arrlenu(n->idle)) return nc_axx__value(n, 0, type, set);
    at = stbds_arrpop(n->idle);
    n->types[at] = type;
    n->set[at] = (uint8_t)set;
    return at;
}

static void nc_axx__emit(nc_axx__netlist *n, char code, nc_axx__type type, uint32_t to, uint32_t a,
                         uint32_t b) {
    nc_axx__op op;
    if (stbds_arrlenu(n->ops) >= NC_AXX__OPS)
        (void)nc__text_fail(&n->t, NC_ERR_LIMIT, "more than 524,288 operations");
    if (n->t.status != NC_OK) return;
    op.code = code;
    op.type = type;
    op.to = to;
    op.a = a;
    op.b = b;
    stbds_arrput(n->ops, op);
}

/* A new value from an operation. */
static uint32_t nc_axx__apply(nc_axx__netlist *n, char code, nc_axx__type type, uint32_t a,
                              uint32_t b) {
    const uint32_t to = nc_axx__scratch(n, type, 1);
    stbds_arrput(n->live, to);
    nc_axx__emit(n, code, type, to, a, b);
    return to;
}

/* -- C's integer conversions (C99, 6.3.1), int of 32 bits -- */

static const nc_axx__type nc_axx__int = {32, 1};

static nc_axx__type nc_axx__promoted(nc_axx__type type) {
    return type.bits < 32 ? nc_axx__int : type;
}

/* The type in which operands of these two are joined. */
static nc_axx__type nc_axx__common(nc_axx__type a, nc_axx__type b) {
    a = nc_axx__promoted(a);
    b = nc_axx__promoted(b);
    if (a.bits != b.bits) return a.bits > b.bits ? a : b;
    return a.is_signed ? b : a;
}

/* The value as one of this type; itself where its 64 bits stay the same. */
static uint32_t nc_axx__converted(nc_axx__netlist *n, uint32_t from, nc_axx__type type) {
    nc_axx__type is;
    if (n->t.status != NC_OK) return 0;
    is = n->types[from];
    if (type.bits == 64 || (is.bits == type.bits && is.is_signed == type.is_signed) ||
        (is.bits < type.bits && (type.is_signed || !is.is_signed)))
        return from;
    return nc_axx__apply(n, '=', type, from, from);
}

/* A operator B. */
static uint32_t nc_axx__binary(nc_axx__netlist *n, char code, uint32_t a, uint32_t b) {
    const int shifts = code == 'l' || code == 'r', compares = strchr("en<i", code) != NULL;
    nc_axx__type type;
    if (n->t.status != NC_OK) return 0;
    type = shifts ? nc_axx__promoted(n->types[a]) : nc_axx__common(n->types[a], n->types[b]);
    a = nc_axx__converted(n, a, type);
    if (!shifts) b = nc_axx__converted(n, b, type);
    if ((code == '<' || code == 'i') && !type.is_signed) code = code == '<' ? 'L' : 'I';
    if (code == 'r' && !type.is_signed) code = 'R';
    return nc_axx__apply(n, code, compares ? nc_axx__int : type, a, b);
}

/* Store in a declared value. */
static void nc_axx__store(nc_axx__netlist *n, uint32_t to, nc_axx__type type, uint32_t from) {
    n->set[to] = 1;
    nc_axx__emit(n, '=', type, to, from, from);
}

/* An identifier. */
static nc_axx__word nc_axx__c_word(nc__text *t) {
    nc_axx__word word;
    nc_axx__skip_c(t);
    word.at = t->at;
    word.length = 0;
    while (nc__is_letter(nc__peek(t, 0)) || (word.length && nc__is_digit(nc__peek(t, 0)))) {
        word.length++;
        t->at++;
    }
    return word;
}

/* What a word of a type says; 0 when it is none. */
static int nc_axx__type_word(nc_axx__word word, nc_axx__type *type) {
    static const struct {
        const char *word;
        uint8_t bits, is_signed; /* 0 bits: leaves them as they are; 2: leaves the sign */
    } known[] = {{"const", 0, 2},     {"static", 0, 2},   {"inline", 0, 2},    {"register", 0, 2},
                 {"volatile", 0, 2},  {"signed", 0, 1},   {"unsigned", 0, 0},  {"int", 0, 2},
                 {"char", 8, 2},      {"short", 16, 2},   {"long", 64, 2},     {"_Bool", 1, 0},
                 {"bool", 1, 0},      {"int8_t", 8, 1},   {"uint8_t", 8, 0},   {"int16_t", 16, 1},
                 {"uint16_t", 16, 0}, {"int32_t", 32, 1}, {"uint32_t", 32, 0}, {"int64_t", 64, 1},
                 {"uint64_t", 64, 0}};
    size_t i;
    for (i = 0; i < sizeof known / sizeof *known; i++) {
        if (!nc_axx__is(word, known[i].word)) continue;
        if (known[i].bits) type->bits = known[i].bits;
        if (known[i].is_signed < 2) type->is_signed = known[i].is_signed;
        return 1;
    }
    return 0;
}

/* Words of a type; 0 if the text goes on with something else. */
static int nc_axx__read_type(nc__text *t, nc_axx__type *type) {
    int found = 0;
    type->bits = 32;
    type->is_signed = 1;
    for (;; found = 1) {
        const nc__text before = *t;
        if (nc_axx__type_word(nc_axx__c_word(t), type)) continue;
        if (t->status == NC_OK) *t = before;
        return found;
    }
}

static uint32_t nc_axx__expression(nc_axx__netlist *n, int level);

/* The value of a name, with its index if it is an array. */
static uint32_t nc_axx__declared(nc_axx__netlist *n, nc_axx__word word, nc_axx__type *type) {
    const uint32_t at = nc_axx__number_of(&n->names, word, n->scope);
    const nc_axx__variable *v;
    int64_t index = 0;
    if (at == UINT32_MAX)
        (void)nc__text_fail(&n->t, NC_ERR_FORMAT, "'%.*s' is not declared", nc_axx__shown(word),
                            word.at);
    if (n->t.status != NC_OK) return 0;
    v = &n->variables[at];
    *type = v->type;
    if (v->elements == 1) return v->value;
    nc_axx__expect(&n->t, '[');
    nc_axx__skip_c(&n->t);
    index = nc_axx__integer(&n->t, 0);
    if (index >= v->elements)
        (void)nc__text_fail(&n->t, NC_ERR_FORMAT, "the index is beyond the array");
    nc_axx__expect(&n->t, ']');
    return n->t.status == NC_OK ? v->value + (uint32_t)index : 0;
}

/* (expression), or (type) before a value, which that type keeps as much of as it can. */
static uint32_t nc_axx__parenthesis(nc_axx__netlist *n, uint32_t (*primary)(nc_axx__netlist *)) {
    nc_axx__type type;
    uint32_t from;
    int is_cast;
    nc_axx__expect(&n->t, '(');
    is_cast = nc_axx__read_type(&n->t, &type);
    from = is_cast ? 0 : nc_axx__expression(n, 0);
    nc_axx__expect(&n->t, ')');
    if (!is_cast) return from;
    from = primary(n);
    return nc_axx__apply(n, '=', type, from, from);
}

/* A constant, one value for all that are alike. */
static uint32_t nc_axx__literal(nc_axx__netlist *n, uint64_t number, nc_axx__type type) {
    const uint64_t key = number ^ (uint64_t)type.bits << 57 ^ (uint64_t)type.is_signed << 56;
    const uint32_t hash = (uint32_t)nc__mix(key);
    size_t at = hash;
    uint32_t i;
    while ((i = nc__index_next(&n->literals, hash, &at)) != UINT32_MAX)
        if (n->constants[i] == (int64_t)number && n->types[i].bits == type.bits &&
            n->types[i].is_signed == type.is_signed)
            return i;
    i = nc_axx__value(n, (int64_t)number, type, 1);
    if (n->t.status == NC_OK && !nc__index_add(&n->literals, hash, i))
        (void)nc__text_fail(&n->t, NC_ERR_MEMORY, "out of memory");
    return i;
}

/* A number with its suffixes; its type is the first that holds it (C99, 6.4.4.1). */
static uint32_t nc_axx__number(nc_axx__netlist *n) {
    const int decimal = nc__peek(&n->t, 0) != '0';
    const uint64_t number = nc_axx__natural(&n->t, 1);
    int no_sign = 0, is_long = 0, c;
    nc_axx__type type = {64, 1};
    while ((c = nc__peek(&n->t, 0) | 32) == 'u' || c == 'l') {
        no_sign |= c == 'u';
        is_long |= c == 'l';
        n->t.at++;
    }
    if (nc__is_letter(nc__peek(&n->t, 0)) || nc__is_digit(nc__peek(&n->t, 0)) ||
        nc__peek(&n->t, 0) == '.')
        (void)nc__text_fail(&n->t, NC_ERR_FORMAT, "expected an integer");
    if (number > INT64_MAX && decimal && !no_sign)
        (void)nc__text_fail(&n->t, NC_ERR_LIMIT, "the number needs a U behind it");
    if (!is_long && number <= UINT32_MAX && (number <= INT32_MAX || no_sign || !decimal))
        type.bits = 32;
    if (no_sign || number > (type.bits == 32 ? (uint64_t)INT32_MAX : (uint64_t)INT64_MAX))
        type.is_signed = 0;
    return nc_axx__literal(n, number, type);
}

static uint32_t nc_axx__call(nc_axx__netlist *n, nc_axx__word word);

/* A number, a call, or a name that has a value. */
static uint32_t nc_axx__operand_value(nc_axx__netlist *n) {
    nc_axx__type type;
    nc_axx__word word;
    uint32_t at;
    if (nc__is_digit(nc__peek(&n->t, 0))) return nc_axx__number(n);
    word = nc_axx__c_word(&n->t);
    if (!word.length) (void)nc__text_fail(&n->t, NC_ERR_FORMAT, "expected a value");
    if (nc_axx__next(&n->t) == '(') return nc_axx__call(n, word);
    at = nc_axx__declared(n, word, &type);
    if (!n->set[at]) (void)nc__text_fail(&n->t, NC_ERR_FORMAT, "the name before has no value yet");
    return at;
}

/* ~A, -A or !A. */
static uint32_t nc_axx__unary(nc_axx__netlist *n, int c, uint32_t a) {
    nc_axx__type type;
    if (n->t.status != NC_OK) return 0;
    type = nc_axx__promoted(n->types[a]);
    if (c == '!') return nc_axx__apply(n, '!', nc_axx__int, a, a);
    a = nc_axx__converted(n, a, type);
    return c == '+' ? a : nc_axx__apply(n, (char)(c == '-' ? 'm' : c), type, a, a);
}

/* A value behind its unary operators. */
static uint32_t nc_axx__primary(nc_axx__netlist *n) {
    const int c = nc_axx__next(&n->t);
    uint32_t out = 0;
    if (++n->depth > 200) (void)nc__text_fail(&n->t, NC_ERR_LIMIT, "nested too deeply");
    if (n->t.status != NC_OK) return 0;
    if (c == '~' || c == '-' || c == '!' || c == '+') {
        n->t.at++;
        out = nc_axx__unary(n, c, nc_axx__primary(n));
    } else if (c == '(') {
        out = nc_axx__parenthesis(n, nc_axx__primary);
    } else {
        out = nc_axx__operand_value(n);
    }
    n->depth--;
    return out;
}

/* Binary operators by their level of precedence, the weakest first (C99, 6.5.5 to 6.5.12). */
typedef struct nc_axx__operator {
    char text[3];
    char code;
    uint8_t level;
} nc_axx__operator;

static const nc_axx__operator nc_axx__operators[] = {
    {"|", '|', 0},  {"^", '^', 1},  {"&", '&', 2}, {"==", 'e', 3}, {"!=", 'n', 3},
    {"<=", 'i', 4}, {">=", 'j', 4}, {"<", '<', 4}, {">", '>', 4},  {"<<", 'l', 5},
    {">>", 'r', 5}, {"+", '+', 6},  {"-", '-', 6}, {"*", '*', 7}};
enum { NC_AXX__LEVELS = 8 };

/* The operator of this level that comes next, or null: no assignment such as |=, no || or &&. */
static const nc_axx__operator *nc_axx__operator_next(nc__text *t, int level) {
    const int c = nc_axx__next(t);
    size_t i;
    for (i = 0; i < sizeof nc_axx__operators / sizeof *nc_axx__operators; i++) {
        const nc_axx__operator *op = &nc_axx__operators[i];
        const size_t length = strlen(op->text);
        const int behind = nc__peek(t, length);
        if (op->level != level || c != op->text[0]) continue;
        if (length == 2 && nc__peek(t, 1) != op->text[1]) continue;
        if (behind == '=' && op->level != 3 && !(length == 2 && op->level == 4)) continue;
        if (length == 1 && behind == c && strchr("|&<>", c)) continue;
        return op;
    }
    return NULL;
}

/* Operators of this level and above, from left to right. */
static uint32_t nc_axx__expression(nc_axx__netlist *n, int level) {
    const nc_axx__operator *op;
    uint32_t left, right;
    if (level == NC_AXX__LEVELS) return nc_axx__primary(n);
    left = nc_axx__expression(n, level + 1);
    while ((op = nc_axx__operator_next(&n->t, level)) != NULL) {
        n->t.at += strlen(op->text);
        right = nc_axx__expression(n, level + 1);
        if (op->code == '>' || op->code == 'j')
            left = nc_axx__binary(n, op->code == '>' ? '<' : 'i', right, left);
        else
            left = nc_axx__binary(n, op->code, left, right);
    }
    return left;
}

/* Returns the variable's first value. */
static uint32_t nc_axx__declare(nc_axx__netlist *n, nc_axx__word word, nc_axx__type type,
                                uint32_t elements, int set) {
    nc_axx__variable v;
    uint32_t i;
    if (!word.length)
        (void)nc__text_fail(&n->t, NC_ERR_FORMAT, "expected a name");
    else if (nc_axx__number_of(&n->names, word, n->scope) != UINT32_MAX)
        (void)nc__text_fail(&n->t, NC_ERR_FORMAT, "the name before is declared already");
    v.elements = elements;
    v.type = type;
    v.value = elements == 1 ? nc_axx__scratch(n, type, set) : nc_axx__value(n, 0, type, set);
    for (i = 1; i < elements; i++) (void)nc_axx__value(n, 0, type, set);
    if (n->t.status != NC_OK) return 0;
    nc_axx__add_name(&n->names, word, n->scope, &n->t);
    stbds_arrput(n->variables, v);
    return v.value;
}

/* name[size], or name = value, and so on behind commas up to the ;. */
static void nc_axx__declarations(nc_axx__netlist *n, nc_axx__type type) {
    nc__text *t = &n->t;
    for (;;) {
        const nc_axx__word word = nc_axx__c_word(t);
        int64_t elements = 1;
        uint32_t to;
        if (nc_axx__next(t) == '[') {
            t->at++;
            nc_axx__skip_c(t);
            elements = nc_axx__integer(t, 0);
            if (elements < 2 || elements > 4096)
                (void)nc__text_fail(t, NC_ERR_LIMIT, "arrays have 2 to 4,096 elements");
            nc_axx__expect(t, ']');
        }
        to = nc_axx__declare(n, word, type, t->status == NC_OK ? (uint32_t)elements : 1, 0);
        if (nc_axx__next(t) == '=' && elements == 1) {
            t->at++;
            nc_axx__store(n, to, type, nc_axx__expression(n, 0));
        }
        if (nc_axx__next(t) != ',') break;
        t->at++;
    }
    nc_axx__expect(t, ';');
}

/* place = expression; or with |= ^= &= += -= */
static void nc_axx__assignment(nc_axx__netlist *n, nc_axx__word word) {
    nc_axx__type type = {0, 0};
    const uint32_t to = nc_axx__declared(n, word, &type);
    const int c = nc_axx__next(&n->t);
    const int combined = c == '|' || c == '^' || c == '&' || c == '+' || c == '-';
    uint32_t from;
    if (combined && !n->set[to])
        (void)nc__text_fail(&n->t, NC_ERR_FORMAT, "the name before has no value yet");
    n->t.at += combined && n->t.status == NC_OK;
    nc_axx__expect(&n->t, '=');
    from = nc_axx__expression(n, 0);
    if (combined) from = nc_axx__binary(n, (char)c, to, from);
    nc_axx__store(n, to, type, from);
    nc_axx__expect(&n->t, ';');
}

/* A declaration, an assignment or a return. */
static void nc_axx__statement(nc_axx__netlist *n) {
    nc_axx__type type;
    nc_axx__word word;
    if (n->returned) (void)nc__text_fail(&n->t, NC_ERR_FORMAT, "a statement after the return");
    if (nc_axx__read_type(&n->t, &type)) {
        nc_axx__declarations(n, type);
        return;
    }
    word = nc_axx__c_word(&n->t);
    if (!word.length)
        (void)nc__text_fail(&n->t, NC_ERR_FORMAT,
                            "expected a declaration, an assignment or a return");
    if (!nc_axx__is(word, "return")) {
        nc_axx__assignment(n, word);
        return;
    }
    n->result = nc_axx__expression(n, 0);
    nc_axx__expect(&n->t, ';');
    n->returned = 1;
}

/* The same; then its values are free, those of a return at the end of the statement that called. */
static void nc_axx__whole_statement(nc_axx__netlist *n) {
    const size_t before = stbds_arrlenu(n->live);
    nc_axx__statement(n);
    while (!n->returned && stbds_arrlenu(n->live) > before) {
        const uint32_t value = stbds_arrpop(n->live);
        stbds_arrput(n->idle, value);
    }
}

/* Statements and blocks, up to the } that ends the function. */
static void nc_axx__body(nc_axx__netlist *n) {
    uint32_t depth = 1;
    while (depth && n->t.status == NC_OK) {
        const int c = nc_axx__next(&n->t);
        if (c < 0)
            (void)nc__text_fail(&n->t, NC_ERR_FORMAT, "the function has no end");
        else if (c != ';' && c != '{' && c != '}')
            nc_axx__whole_statement(n);
        else
            n->t.at++;
        if (c == '{') depth++;
        if (c == '}') depth--;
    }
    if (!n->returned) (void)nc__text_fail(&n->t, NC_ERR_FORMAT, "nothing is returned");
}

/* The function whose { comes next, on parameters that have their values; its result. */
static uint32_t nc_axx__run_body(nc_axx__netlist *n, const nc_axx__function *f) {
    n->returned = 0;
    n->result = 0;
    nc_axx__body(n);
    return nc_axx__converted(n, n->result, f->result);
}

/* (arguments) of a function above: its body is read again with them. */
static uint32_t nc_axx__call(nc_axx__netlist *n, nc_axx__word word) {
    const uint32_t outer = n->scope, known = n->known;
    uint32_t argument[NC_AXX__PARAMETERS] = {0}, f = 0, k, result, variables;
    nc__text behind;
    nc_axx__function called;
    while (f < n->known && !nc_axx__same(n->functions[f].name, word)) f++;
    if (f == n->known)
        (void)nc__text_fail(&n->t, NC_ERR_FORMAT, "no function '%.*s' above", nc_axx__shown(word),
                            word.at);
    if (n->calls == NC_AXX__CALLS) (void)nc__text_fail(&n->t, NC_ERR_LIMIT, "calls too deep");
    if (n->t.status != NC_OK) return 0;
    called = n->functions[f];
    nc_axx__expect(&n->t, '(');
    for (k = 0; k < called.parameters; k++) {
        argument[k] = nc_axx__expression(n, 0);
        if (k + 1 < called.parameters) nc_axx__expect(&n->t, ',');
    }
    nc_axx__expect(&n->t, ')');
    behind = n->t;
    variables = (uint32_t)stbds_arrlenu(n->variables);
    n->scope = ++n->scopes;
    n->known = f;
    n->calls++;
    for (k = 0; k < called.parameters; k++) {
        const uint32_t to = nc_axx__declare(n, called.names[k], called.types[k], 1, 0);
        if (n->t.status == NC_OK) nc_axx__store(n, to, called.types[k], argument[k]);
    }
    if (n->t.status == NC_OK) n->t = called.body;
    result = n->t.status == NC_OK ? nc_axx__run_body(n, &called) : 0;
    result = nc_axx__apply(n, '=', called.result, result, result); /* variables end here */
    for (k = variables; n->t.status == NC_OK && k < stbds_arrlenu(n->variables); k++)
        if (n->variables[k].elements == 1 && n->names.scopes[k] == n->scope)
            stbds_arrput(n->idle, n->variables[k].value);
    if (n->t.status == NC_OK) n->t = behind;
    n->returned = 0;
    n->scope = outer;
    n->known = known;
    n->calls--;
    return result;
}

/* -- the functions of a file -- */

/* (type a, type b) or (void), behind the name. */
static void nc_axx__parameters(nc__text *t, nc_axx__function *f) {
    int c;
    nc_axx__expect(t, '(');
    for (f->parameters = 0; (c = nc_axx__next(t)) != ')' && c >= 0;) {
        nc_axx__type type;
        if (f->parameters) nc_axx__expect(t, ',');
        if (!nc_axx__read_type(t, &type)) {
            const nc__text before = *t;
            if (!f->parameters && nc_axx__is(nc_axx__c_word(t), "void") && nc_axx__next(t) == ')')
                break;
            *t = before;
            (void)nc__text_fail(t, NC_ERR_FORMAT, "expected a parameter's integer type");
        }
        if (f->parameters == NC_AXX__PARAMETERS)
            (void)nc__text_fail(t, NC_ERR_LIMIT, "more than eight parameters");
        if (t->status != NC_OK) return;
        f->types[f->parameters] = type;
        f->names[f->parameters++] = nc_axx__c_word(t);
    }
    nc_axx__expect(t, ')');
}

/* Behind a { up to the } that belongs to it. */
static void nc_axx__skip_block(nc__text *t) {
    const nc__text start = *t;
    uint32_t depth = 1;
    for (; depth; nc__step(t)) {
        const int c = nc_axx__next(t);
        if (c < 0 && t->status == NC_OK) {
            *t = start;
            (void)nc__text_fail(t, NC_ERR_FORMAT, "the function has no end");
        }
        if (t->status != NC_OK) return;
        depth += (uint32_t)(c == '{') - (uint32_t)(c == '}');
    }
}

/* All functions: type name(parameters) and a body, or ; of one that follows. */
static void nc_axx__functions_of(nc_axx__netlist *n) {
    nc__text *t = &n->t;
    while (nc_axx__next(t) >= 0) {
        nc_axx__function f;
        memset(&f, 0, sizeof f);
        if (!nc_axx__read_type(t, &f.result))
            (void)nc__text_fail(t, NC_ERR_FORMAT, "expected a function of integers");
        f.name = nc_axx__c_word(t);
        if (!f.name.length) (void)nc__text_fail(t, NC_ERR_FORMAT, "expected a function's name");
        nc_axx__parameters(t, &f);
        if (nc_axx__next(t) == ';') {
            t->at++;
            continue;
        }
        nc_axx__expect(t, '{');
        f.body = *t;
        nc_axx__skip_block(t);
        if (t->status == NC_OK) stbds_arrput(n->functions, f);
    }
    if (!stbds_arrlenu(n->functions))
        (void)nc__text_fail(t, NC_ERR_FORMAT, "no function of two integers");
}

/* Which one is the multiplier: as asked, or called like the file, or the last. */
static const nc_axx__function *nc_axx__multiplier_of(nc_axx__netlist *n, const nc_axx__input *in) {
    const char *wanted = in->how.unit ? in->how.unit : in->name;
    const uint32_t count = (uint32_t)stbds_arrlenu(n->functions);
    uint32_t i;
    if (n->t.status != NC_OK) return NULL;
    for (i = 0; i < count && !nc_axx__is(n->functions[i].name, wanted); i++) {
    }
    if (i == count && in->how.unit)
        (void)nc__text_fail(&n->t, NC_ERR_FORMAT, "no function '%.60s' in the file", wanted);
    if (i == count) i = count - 1;
    n->known = i;
    if (n->functions[i].parameters != 2)
        (void)nc__text_fail(
            &n->t, NC_ERR_FORMAT, "'%.*s' has %u parameters, a multiplier two",
            (int)(n->functions[i].name.length < 60 ? n->functions[i].name.length : 60),
            n->functions[i].name.at, (unsigned)n->functions[i].parameters);
    return n->t.status == NC_OK ? &n->functions[i] : NULL;
}

/* -- their values as bits, extended to 64 as their types have it -- */

typedef struct nc_axx__bits {
    uint32_t at[64]; /* literals */
} nc_axx__bits;

/* out = a + b + carry, or with flip a + ~b + carry, in bits from `from` to width - 1. */
static void nc_axx__sum_bits(nc_axx__logic *l, const uint32_t *a, const uint32_t *b, uint32_t flip,
                             uint32_t from, uint32_t width, uint32_t *out) {
    uint32_t carry = flip, i;
    for (i = from; i < width; i++) {
        const uint32_t x = a[i], y = b[i] ^ flip, differ = nc_axx__xor(l, x, y);
        out[i] = nc_axx__xor(l, differ, carry);
        carry = nc_axx__and(l, differ, carry);
        carry = nc_axx__or(l, nc_axx__and(l, x, y), carry);
    }
}

/* out = a b modulo 2^width. */
static void nc_axx__product_bits(nc_axx__logic *l, const uint32_t *a, const uint32_t *b,
                                 uint32_t width, uint32_t *out) {
    uint32_t i, k;
    memset(out, 0, 64 * sizeof *out);
    for (i = 0; i < width && !l->is_full; i++) {
        uint32_t row[64];
        if (!b[i]) continue;
        for (k = i; k < width; k++) row[k] = nc_axx__and(l, a[k - i], b[i]);
        nc_axx__sum_bits(l, out, row, 0, i, width, out);
    }
}

/* out = a shifted by the low six bits of b; `code` l, R or r as in nc_axx__op. */
static void nc_axx__shift_bits(nc_axx__logic *l, char code, const uint32_t *a, const uint32_t *b,
                               uint32_t *out) {
    const uint32_t fill = code == 'r' ? a[63] : 0;
    uint32_t stage, i;
    memcpy(out, a, 64 * sizeof *out);
    for (stage = 0; stage < 6; stage++) {
        const uint32_t by = 1u << stage;
        uint32_t before[64];
        memcpy(before, out, sizeof before);
        for (i = 0; i < 64; i++) {
            const uint32_t left = i >= by ? before[i - by] : 0;
            const uint32_t right = i + by < 64 ? before[i + by] : fill;
            out[i] = nc_axx__either(l, b[stage], code == 'l' ? left : right, before[i]);
        }
    }
}

/* a < b, as signed values or not. */
static uint32_t nc_axx__less_bits(nc_axx__logic *l, const uint32_t *a, const uint32_t *b,
                                  int is_signed) {
    uint32_t top = 63, less = 0, i;
    while (top && a[top - 1] == a[63] && b[top - 1] == b[63]) top--; /* those are all alike */
    for (i = 0; i <= top; i++) {
        const uint32_t x = i == top && is_signed ? b[i] : a[i];
        const uint32_t y = i == top && is_signed ? a[i] : b[i];
        less = nc_axx__either(l, nc_axx__xor(l, x, y), y, less);
    }
    return less;
}

/* Bit by bit: &, | and ^. Bits that repeat those below need no gates of their own. */
static void nc_axx__each_bit(nc_axx__logic *l, char code, const uint32_t *a, const uint32_t *b,
                             uint32_t *out) {
    uint32_t i;
    for (i = 0; i < 64; i++)
        if (i && a[i] == a[i - 1] && b[i] == b[i - 1])
            out[i] = out[i - 1];
        else
            out[i] = code == '&'   ? nc_axx__and(l, a[i], b[i])
                     : code == '|' ? nc_axx__or(l, a[i], b[i])
                                   : nc_axx__xor(l, a[i], b[i]);
}

/* Whether a value has a bit that is set. */
static uint32_t nc_axx__any_bit(nc_axx__logic *l, const uint32_t *a) {
    uint32_t any = 0, i;
    for (i = 0; i < 64; i++)
        if (!i || a[i] != a[i - 1]) any = nc_axx__or(l, any, a[i]);
    return any;
}

/* One operation; then what the type of the result keeps, where it could be more. */
static nc_axx__bits nc_axx__op_bits(nc_axx__logic *l, const nc_axx__op *op, const uint32_t *a,
                                    const uint32_t *b) {
    const uint32_t width = op->type.bits;
    nc_axx__bits out, zero;
    uint32_t i;
    memset(&out, 0, sizeof out);
    memset(&zero, 0, sizeof zero);
    switch (op->code) {
    case '|':
    case '^':
    case '&': nc_axx__each_bit(l, op->code, a, b, out.at); return out;
    case 'R':
    case 'r': nc_axx__shift_bits(l, op->code, a, b, out.at); return out;
    case 'e':
    case 'n':
        nc_axx__each_bit(l, '^', a, b, out.at);
        zero.at[0] = nc_axx__any_bit(l, out.at) ^ (op->code == 'e');
        return zero;
    case '!': out.at[0] = nc_axx__any_bit(l, a) ^ 1; return out;
    case '<':
    case 'L': out.at[0] = nc_axx__less_bits(l, a, b, op->code == '<'); return out;
    case 'i':
    case 'I': out.at[0] = nc_axx__less_bits(l, b, a, op->code == 'i') ^ 1; return out;
    case '+':
    case '-': nc_axx__sum_bits(l, a, b, op->code == '-', 0, width, out.at); break;
    case 'm': nc_axx__sum_bits(l, zero.at, a, 1, 0, width, out.at); break;
    case '*': nc_axx__product_bits(l, a, b, width, out.at); break;
    case 'l': nc_axx__shift_bits(l, 'l', a, b, out.at); break;
    default:
        for (i = 0; i < width; i++) out.at[i] = a[i] ^ (op->code == '~');
        if (width == 1) out.at[0] = nc_axx__any_bit(l, a); /* to _Bool: 0 or not (6.3.1.2) */
        break;
    }
    for (i = width; i < 64; i++) out.at[i] = op->type.is_signed ? out.at[width - 1] : 0;
    return out;
}

/* Operand k: its bits, extended where the parameter's type has a sign that the operand fills. */
static nc_axx__bits nc_axx__operand_bits(const nc_axx__shape *s, nc_axx__type type, int k) {
    const uint32_t bits = s->bits[k], first = k ? s->bits[0] : 0;
    const int extends = type.is_signed && (!s->no_sign[k] || bits == type.bits);
    nc_axx__bits out;
    uint32_t i;
    for (i = 0; i < 64; i++)
        out.at[i] = i < bits ? 2 * (1 + first + i) : extends ? 2 * (first + bits) : 0;
    return out;
}

/* The bits of the function's result. */
static nc_axx__bits nc_axx__netlist_logic(nc_axx__logic *l, const nc_axx__shape *s,
                                          const nc_axx__netlist *n, nc_axx__bits *values) {
    size_t k;
    uint32_t i;
    l->inputs = (uint32_t)s->bits[0] + s->bits[1];
    for (k = 0; k < stbds_arrlenu(n->constants); k++)
        for (i = 0; i < 64; i++) values[k].at[i] = (uint32_t)((uint64_t)n->constants[k] >> i & 1);
    for (i = 0; i < 2; i++) values[i] = nc_axx__operand_bits(s, n->types[i], (int)i);
    for (k = 0; k < stbds_arrlenu(n->ops) && !l->is_full; k++) {
        const nc_axx__op *op = &n->ops[k];
        values[op->to] = nc_axx__op_bits(l, op, values[op->a].at, values[op->b].at);
    }
    return values[n->result];
}

/* What is known of products when all have been seen. */
typedef struct nc_axx__seen {
    uint32_t set[3], pairs[3]; /* with the highest bit of `width`, by exact products < 0, 0, > 0 */
    uint32_t beyond;           /* 1 + the first that does not fit 32 bits */
    int is_wide;               /* one has more bits than `width` */
} nc_axx__seen;

/* Products from `first` on: their low 32 bits, and what is to be known. */
static void nc_axx__keep_products(nc_axx__table *m, const uint64_t *values, uint32_t first,
                                  uint32_t width, nc_axx__seen *seen) {
    uint32_t i;
    for (i = 0; i < NC_AXX__PAIRS && first + i < nc_axx__entries(&m->shape); i++) {
        const int exact = nc_axx__exact_at(&m->shape, first + i), sign = (exact >= 0) + (exact > 0);
        const int64_t v = (int64_t)values[i];
        seen->is_wide |= values[i] >> width != 0;
        seen->set[sign] += (uint32_t)(values[i] >> (width - 1) & 1);
        seen->pairs[sign]++;
        if ((v < INT32_MIN || v > INT32_MAX) && !seen->beyond) seen->beyond = 1 + first + i;
        m->at[first + i] = (int32_t)v;
    }
}

/* Products that came as bits become numbers: those of signed operands where the result's type has
 * no sign, or where they are the bits of two's complement in a type that holds more (none is
 * negative or has more bits than both operands, and the highest of these says the sign of most);
 * those of unsigned operands where the function's parameters have signs. */
static nc_status nc_axx__from_bits(nc_axx__table *m, const nc_axx__netlist *n,
                                   const nc_axx__input *in, const nc_axx__seen *seen,
                                   nc_axx__type result_type) {
    const uint32_t width = (uint32_t)m->shape.bits[0] + m->shape.bits[1];
    const int no_sign = !nc_axx__has_sign(&m->shape);
    const int are_bits =
        !seen->is_wide && 2 * seen->set[0] > seen->pairs[0] && 2 * seen->set[2] < seen->pairs[2];
    const int cut = no_sign ? n->types[0].is_signed && n->types[1].is_signed
                            : !result_type.is_signed || are_bits;
    const uint64_t mask = (UINT64_C(1) << width) - 1;
    uint32_t i;
    if (!cut && seen->beyond)
        return nc__fail(in->err, NC_ERR_LIMIT, 0, 0,
                        "the product of row %u, column %u does not fit 32 bits",
                        (unsigned)((seen->beyond - 1) >> m->shape.bits[1]),
                        (unsigned)((seen->beyond - 1) & ((1u << m->shape.bits[1]) - 1)));
    for (i = 0; i < nc_axx__entries(&m->shape) && cut; i++)
        m->at[i] = (int32_t)nc_axx__extend((uint64_t)m->at[i] & mask, width, !no_sign);
    return NC_OK;
}

/* The table, NC_AXX__PAIRS products at a time. */
static nc_status nc_axx__run_netlist(nc_axx__table *m, const nc_axx__netlist *n,
                                     const nc_axx__input *in, nc_axx__type result_type) {
    const size_t count = stbds_arrlenu(n->constants);
    const uint32_t width = (uint32_t)m->shape.bits[0] + m->shape.bits[1];
    nc_axx__bits *values = (nc_axx__bits *)nc__alloc(NULL, count * sizeof *values), result;
    nc_status status = NC_OK;
    uint64_t *bits = NULL, products[NC_AXX__PAIRS];
    nc_axx__logic l;
    nc_axx__seen seen;
    uint32_t i;
    memset(&l, 0, sizeof l);
    memset(&seen, 0, sizeof seen);
    if (values) {
        result = nc_axx__netlist_logic(&l, &m->shape, n, values);
        nc_axx__mark_live(&l, result.at, 64);
        status = nc_axx__node_words(&l, &bits, in->err);
    } else
        status = nc__fail(in->err, NC_ERR_MEMORY, 0, 0, "out of memory");
    for (i = 0; i < nc_axx__entries(&m->shape) && status == NC_OK; i += NC_AXX__PAIRS) {
        nc_axx__run_pairs(&l, result.at, 64, &m->shape, i, bits, products);
        nc_axx__keep_products(m, products, i, width, &seen);
    }
    if (status == NC_OK) status = nc_axx__from_bits(m, n, in, &seen, result_type);
    nc__free(NULL, values, 0);
    nc__free(NULL, bits, 0);
    stbds_arrfree(l.gates);
    return status;
}

/* Signs and widths by the parameters' types; those of 32 and 64 bits say no width. */
static nc_status nc_axx__settle_function(nc_axx__table *m, const nc_axx__input *in,
                                         const nc_axx__function *f) {
    const uint32_t bits[2] = {f->types[0].bits, f->types[1].bits};
    const int are_unsigned[2] = {!f->types[0].is_signed, !f->types[1].is_signed};
    const int say = bits[0] < 32 && bits[1] < 32;
    const nc_status status = nc_axx__settle(m, in, f->name, are_unsigned, say ? bits : NULL);
    if (status != NC_OK) return status;
    if (bits[0] < in->report->a_bits || bits[1] < in->report->b_bits)
        return nc__fail(in->err, NC_ERR_FORMAT, 0, 0,
                        "operands of %u and %u bits do not fit types of %u and %u",
                        (unsigned)in->report->a_bits, (unsigned)in->report->b_bits,
                        (unsigned)bits[0], (unsigned)bits[1]);
    return NC_OK;
}

/* Values 0 and 1 are the operands. */
static nc_status nc_axx__read_netlist(nc_axx__table *m, const nc_axx__input *in) {
    nc_axx__netlist n;
    const nc_axx__function *f;
    nc_status status = NC_OK;
    memset(&n, 0, sizeof n);
    nc__text_open(&n.t, in->data, in->bytes, in->err);
    nc_axx__functions_of(&n);
    f = nc_axx__multiplier_of(&n, in);
    if (f) status = nc_axx__settle_function(m, in, f);
    if (f && status == NC_OK) status = nc_axx__make_room(m, in);
    if (f && status == NC_OK) {
        (void)nc_axx__declare(&n, f->names[0], f->types[0], 1, 1);
        (void)nc_axx__declare(&n, f->names[1], f->types[1], 1, 1);
        if (n.t.status == NC_OK) n.t = f->body;
        n.result = nc_axx__run_body(&n, f);
        if (n.t.status == NC_OK) status = nc_axx__run_netlist(m, &n, in, f->result);
    }
    if (n.t.status != NC_OK) status = n.t.status;
    stbds_arrfree(n.functions);
    stbds_arrfree(n.live);
    stbds_arrfree(n.idle);
    stbds_arrfree(n.ops);
    stbds_arrfree(n.constants);
    stbds_arrfree(n.types);
    stbds_arrfree(n.set);
    stbds_arrfree(n.variables);
    nc_axx__free_names(&n.names);
    nc__index_free(&n.literals);
    return status;
}

/* -- circuits: signals of one bit -- */

enum {
    NC_AXX__SIGNALS = 65536,
    NC_AXX__INSTANCES = 65536,
    NC_AXX__DEPTH = 32 /* of instances in instances */
};

/* A table of .names: inputs, then rows of its cover. */
typedef struct nc_axx__cover {
    uint32_t output, first_input, inputs; /* inputs in `pins` */
    size_t first_row, rows;               /* rows of `inputs` characters in `cubes` */
    char polarity;                        /* the output of its rows, '0' or '1' */
    char state;                           /* 0 has no place, 1 waits for inputs, 2 is in `order` */
} nc_axx__cover;

/* What a name of a scope stands for: signals, the lowest bit first. */
typedef struct nc_axx__net {
    uint32_t first, width; /* in `bits` */
    uint32_t low;          /* the number of the lowest bit */
    char used;             /* a pin of the model, seen in its lists */
} nc_axx__net;

/* A model or module of the file. */
typedef struct nc_axx__model {
    nc_axx__word name;
    nc__text body; /* behind its name */
} nc_axx__model;

typedef struct nc_axx__circuit {
    nc__text t;
    nc_axx__model *models; /* stb_ds array, as the following */
    nc_axx__names names;
    nc_axx__net *nets;    /* by the number of their name */
    uint32_t *bits;       /* signals of the nets */
    nc_axx__word *labels; /* by signal: a name it has */
    uint32_t *driver;     /* by signal: its cover + 1, 0 none, ~0 an input */
    uint32_t *inputs, *outputs, *pins, *order;
    nc_axx__cover *covers;
    char *cubes;
    uint32_t scope, scopes, depth; /* the instance that is read, how many, how deep */
    uint32_t widths[2];            /* of the operands: the first of the inputs, and the others */
    uint32_t constant[2], nested;  /* Verilog: signals + 1 of 0 and 1; depth of an expression */
    int says_signed;
} nc_axx__circuit;

static uint32_t nc_axx__new_signal(nc_axx__circuit *c, nc_axx__word label) {
    const uint32_t count = (uint32_t)stbds_arrlenu(c->driver);
    if (count == NC_AXX__SIGNALS)
        (void)nc__text_fail(&c->t, NC_ERR_LIMIT, "more than 65,536 signals");
    if (c->t.status != NC_OK && count) return 0;
    stbds_arrput(c->driver, 0);
    stbds_arrput(c->labels, label);
    return count;
}

/* A name of the present scope for so many signals. */
static nc_axx__net *nc_axx__new_net(nc_axx__circuit *c, nc_axx__word word, const uint32_t *signals,
                                    uint32_t width, uint32_t low) {
    nc_axx__net net = {0, 0, 0, 0};
    uint32_t i;
    net.first = (uint32_t)stbds_arrlenu(c->bits);
    net.width = width;
    net.low = low;
    for (i = 0; i < width; i++) {
        const uint32_t signal = signals ? signals[i] : nc_axx__new_signal(c, word);
        stbds_arrput(c->bits, signal);
    }
    nc_axx__add_name(&c->names, word, c->scope, &c->t);
    stbds_arrput(c->nets, net);
    return &c->nets[stbds_arrlenu(c->nets) - 1];
}

/* The net of this name, or null. */
static nc_axx__net *nc_axx__net_of(nc_axx__circuit *c, nc_axx__word word) {
    const uint32_t at = nc_axx__number_of(&c->names, word, c->scope);
    return at == UINT32_MAX ? NULL : &c->nets[at];
}

/* A cover of these inputs without rows yet, which drives the signal. */
static nc_axx__cover *nc_axx__new_cover(nc_axx__circuit *c, uint32_t output, const uint32_t *inputs,
                                        uint32_t n) {
    nc_axx__cover cover;
    uint32_t i;
    memset(&cover, 0, sizeof cover);
    cover.first_input = (uint32_t)stbds_arrlenu(c->pins);
    cover.first_row = stbds_arrlenu(c->cubes);
    cover.inputs = n;
    cover.output = output;
    cover.polarity = '1';
    for (i = 0; i < n; i++) stbds_arrput(c->pins, inputs[i]);
    if (c->t.status == NC_OK && c->driver[output])
        (void)nc__text_fail(&c->t, NC_ERR_FORMAT, "the signal '%.*s' has two sources",
                            nc_axx__shown(c->labels[output]), c->labels[output].at);
    stbds_arrput(c->covers, cover);
    c->driver[output] = (uint32_t)stbds_arrlenu(c->covers);
    return &c->covers[c->driver[output] - 1];
}

/* Behind the name of model k, in a scope where names are bound already; back after it. */
static void nc_axx__enter(nc_axx__circuit *c, uint32_t k, uint32_t scope,
                          void (*body)(nc_axx__circuit *c)) {
    const nc__text behind = c->t;
    const uint32_t outer = c->scope;
    if (++c->depth > NC_AXX__DEPTH || c->scopes > NC_AXX__INSTANCES)
        (void)nc__text_fail(&c->t, NC_ERR_LIMIT, "too many instances, or too deep");
    if (c->t.status != NC_OK) return;
    c->scope = scope;
    c->t = c->models[k].body;
    body(c);
    c->scope = outer;
    if (c->t.status == NC_OK) c->t = behind;
    c->depth--;
}

/* The number of a model; the count of them for none. */
static uint32_t nc_axx__model_of(const nc_axx__circuit *c, nc_axx__word name) {
    uint32_t k = 0;
    while (k < stbds_arrlenu(c->models) && !nc_axx__same(c->models[k].name, name)) k++;
    return k;
}

/* Which model is the multiplier: as asked, or called like the file, else `usual`. */
static uint32_t nc_axx__top(nc_axx__circuit *c, const nc_axx__input *in, uint32_t usual) {
    const char *wanted = in->how.unit ? in->how.unit : in->name;
    const uint32_t k = nc_axx__model_of(c, nc_axx__word_of(wanted));
    if (k < stbds_arrlenu(c->models)) return k;
    if (in->how.unit)
        (void)nc__text_fail(&c->t, NC_ERR_FORMAT, "nothing is called '%.60s' in the file", wanted);
    return usual;
}

/* The literal of a cover, from those of its inputs. */
static uint32_t nc_axx__cover_logic(nc_axx__logic *l, const nc_axx__circuit *c,
                                    const nc_axx__cover *cover, const uint32_t *literals) {
    uint32_t sum = 0, i;
    size_t r;
    for (r = 0; r < cover->rows; r++) {
        const char *row = c->cubes + cover->first_row + r * cover->inputs;
        uint32_t term = 1;
        for (i = 0; i < cover->inputs; i++)
            if (row[i] != '-')
                term = nc_axx__and(
                    l, term, literals[c->pins[cover->first_input + i]] ^ (uint32_t)(row[i] == '0'));
        sum = nc_axx__or(l, sum, term);
    }
    return sum ^ (uint32_t)(cover->polarity == '0');
}

/* An error that names a signal. */
static nc_status nc_axx__signal_fail(const nc_axx__circuit *c, uint32_t signal, const char *what) {
    const nc_axx__word name = c->labels[signal];
    return nc__fail(c->t.err, NC_ERR_FORMAT, 0, 0, "signal '%.*s' %s", nc_axx__shown(name), name.at,
                    what);
}

/* Every cover after its inputs, with a stack of its own: signals that are wanted, each above those
 * that wait for it. */
static nc_status nc_axx__sort_covers(nc_axx__circuit *c) {
    uint32_t *stack = NULL; /* stb_ds array */
    nc_status status = NC_OK;
    size_t o;
    for (o = 0; o < stbds_arrlenu(c->outputs); o++) {
        stbds_arrput(stack, c->outputs[o]);
        while (stbds_arrlenu(stack) && status == NC_OK) {
            const uint32_t signal = stbds_arrlast(stack), driver = c->driver[signal];
            nc_axx__cover *cover = driver && ~driver ? &c->covers[driver - 1] : NULL;
            size_t waiting = 0;
            uint32_t i;
            if (!driver) status = nc_axx__signal_fail(c, signal, "has no source");
            for (i = 0; cover && cover->state < 2 && i < cover->inputs; i++) {
                const uint32_t pin = c->pins[cover->first_input + i], of = c->driver[pin];
                if (of && (!~of || c->covers[of - 1].state == 2)) continue;
                if (of && c->covers[of - 1].state == 1)
                    status = nc_axx__signal_fail(c, pin, "depends on itself");
                stbds_arrput(stack, pin);
                waiting++;
            }
            if (cover && cover->state < 2) {
                if (!waiting) stbds_arrput(c->order, driver - 1);
                cover->state = waiting ? 1 : 2;
            }
            if (!waiting) (void)stbds_arrpop(stack);
        }
    }
    stbds_arrfree(stack);
    return status;
}

/* All products; those of signed operands are in two's complement. */
static nc_status nc_axx__run_circuit(nc_axx__table *m, const nc_axx__input *in,
                                     const nc_axx__circuit *c, uint32_t *literals) {
    const uint32_t n = (uint32_t)stbds_arrlenu(c->outputs);
    const int has_sign = n > 1 && !m->shape.no_sign[0];
    uint64_t *bits, values[NC_AXX__PAIRS];
    uint32_t outputs[31], at, i;
    nc_status status;
    nc_axx__logic l;
    size_t k;
    memset(&l, 0, sizeof l);
    l.inputs = (uint32_t)stbds_arrlenu(c->inputs);
    for (i = 0; i < l.inputs; i++) literals[c->inputs[i]] = 2 * (1 + i);
    for (k = 0; k < stbds_arrlenu(c->order) && !l.is_full; k++) {
        const nc_axx__cover *cover = &c->covers[c->order[k]];
        literals[cover->output] = nc_axx__cover_logic(&l, c, cover, literals);
    }
    for (i = 0; i < n; i++) outputs[i] = literals[c->outputs[i]];
    nc_axx__mark_live(&l, outputs, n);
    status = nc_axx__node_words(&l, &bits, in->err);
    for (at = 0; at < nc_axx__entries(&m->shape) && status == NC_OK; at += NC_AXX__PAIRS) {
        nc_axx__run_pairs(&l, outputs, n, &m->shape, at, bits, values);
        for (i = 0; i < NC_AXX__PAIRS && at + i < nc_axx__entries(&m->shape); i++)
            m->at[at + i] = (int32_t)nc_axx__extend(values[i], n, has_sign);
    }
    nc__free(NULL, bits, 0);
    stbds_arrfree(l.gates);
    return status;
}

/* Signs and widths: those of the ports, which a name may not deny. */
static nc_status nc_axx__settle_circuit(nc_axx__table *m, const nc_axx__input *in,
                                        const nc_axx__circuit *c, nc_axx__word unit) {
    static const int has_sign[2] = {0, 0};
    const uint32_t *w = c->widths;
    const unsigned long outputs = (unsigned long)stbds_arrlenu(c->outputs);
    nc_status status;
    if (stbds_arrlenu(c->inputs) < 2 || !w[0] || !w[1] || outputs < 1)
        return nc__fail(in->err, NC_ERR_FORMAT, 0, 0,
                        "a multiplier has two operands and outputs, not %lu inputs and %lu",
                        (unsigned long)stbds_arrlenu(c->inputs), outputs);
    status = nc_axx__settle(m, in, unit, c->says_signed ? has_sign : NULL, w);
    if (status != NC_OK) return status;
    if (outputs > 31)
        return nc__fail(in->err, NC_ERR_FORMAT, 0, 0, "a multiplier has 1 to 31 outputs, not %lu",
                        outputs);
    if (in->report->a_bits != w[0] || in->report->b_bits != w[1])
        return nc__fail(in->err, NC_ERR_FORMAT, 0, 0,
                        "%.*s is %u by %u bits by name, and has ports of %u and %u",
                        nc_axx__shown(unit), unit.at, (unsigned)in->report->a_bits,
                        (unsigned)in->report->b_bits, (unsigned)w[0], (unsigned)w[1]);
    return NC_OK;
}

static nc_status nc_axx__circuit_table(nc_axx__table *m, const nc_axx__input *in,
                                       nc_axx__circuit *c, nc_axx__word unit) {
    nc_status status = nc_axx__settle_circuit(m, in, c, unit);
    uint32_t *literals;
    uint32_t i;
    for (i = 0; i < stbds_arrlenu(c->inputs) && status == NC_OK; i++) {
        if (c->driver[c->inputs[i]])
            return nc_axx__signal_fail(c, c->inputs[i], "is an input and has another source");
        c->driver[c->inputs[i]] = ~UINT32_C(0);
    }
    if (status == NC_OK) status = nc_axx__sort_covers(c);
    if (status == NC_OK) status = nc_axx__make_room(m, in);
    if (status != NC_OK) return status;
    literals = (uint32_t *)nc__calloc(NULL, stbds_arrlenu(c->driver) * sizeof *literals);
    if (!literals) return nc__fail(in->err, NC_ERR_MEMORY, 0, 0, "out of memory");
    status = nc_axx__run_circuit(m, in, c, literals);
    nc__free(NULL, literals, 0);
    return status;
}

/* The models of a file, the multiplier among them (`last`: the last one, else the first), its body
 * and its table. */
static nc_status nc_axx__read_circuit(nc_axx__table *m, const nc_axx__input *in, int last,
                                      void (*models)(nc_axx__circuit *c),
                                      void (*body)(nc_axx__circuit *c)) {
    nc_axx__circuit c;
    nc_status status = NC_OK;
    uint32_t top = 0;
    memset(&c, 0, sizeof c);
    nc__text_open(&c.t, in->data, in->bytes, in->err);
    models(&c);
    if (c.t.status == NC_OK)
        top = nc_axx__top(&c, in, last ? (uint32_t)stbds_arrlenu(c.models) - 1 : 0);
    if (c.t.status == NC_OK) nc_axx__enter(&c, top, 0, body);
    status = c.t.status;
    if (status == NC_OK) status = nc_axx__circuit_table(m, in, &c, c.models[top].name);
    nc_axx__free_names(&c.names);
    stbds_arrfree(c.models);
    stbds_arrfree(c.nets);
    stbds_arrfree(c.bits);
    stbds_arrfree(c.labels);
    stbds_arrfree(c.driver);
    stbds_arrfree(c.inputs);
    stbds_arrfree(c.outputs);
    stbds_arrfree(c.pins);
    stbds_arrfree(c.order);
    stbds_arrfree(c.covers);
    stbds_arrfree(c.cubes);
    return status;
}

/* -- BLIF -- */

/* The next word of the line (a backslash continues it); empty at its end. */
static nc_axx__word nc_axx__blif_word(nc__text *t) {
    nc_axx__word word;
    for (;;) {
        const int c = nc__peek(t, 0), next = nc__peek(t, 1);
        if (c == '\\' && (next == '\n' || next == '\r')) {
            nc_axx__skip_line(t);
            nc__step(t);
        } else if (c == '#') {
            nc_axx__skip_line(t);
        } else if (nc__is_space(c) && c != '\n') {
            t->at++;
        } else {
            break;
        }
    }
    for (word.at = t->at; nc__peek(t, 0) > ' ' && !strchr("\\#", nc__peek(t, 0));) t->at++;
    word.length = (size_t)(t->at - word.at);
    if (!word.length && nc__peek(t, 0) >= 0 && nc__peek(t, 0) != '\n')
        (void)nc__text_fail(t, NC_ERR_FORMAT, "unexpected character");
    return word;
}

/* The signal of a name, which is new at its first mention. */
static uint32_t nc_axx__blif_signal(nc_axx__circuit *c, nc_axx__word word) {
    const nc_axx__net *net = nc_axx__net_of(c, word);
    if (!net) net = nc_axx__new_net(c, word, NULL, 1, 0);
    return c->bits[net->first];
}

/* Signals up to the end of the line. */
static void nc_axx__signal_list(nc_axx__circuit *c, uint32_t **list) {
    nc_axx__word word;
    while ((word = nc_axx__blif_word(&c->t)).length) {
        const uint32_t signal = nc_axx__blif_signal(c, word);
        stbds_arrput(*list, signal);
    }
}

/* .inputs and .outputs: ports of the multiplier; in an instance names that may be bound. */
static void nc_axx__blif_ports(nc_axx__circuit *c, uint32_t **list) {
    nc_axx__word word;
    if (!c->scope) {
        nc_axx__signal_list(c, list);
        return;
    }
    while ((word = nc_axx__blif_word(&c->t)).length) {
        nc_axx__net *net = nc_axx__net_of(c, word);
        if (net) net->used = 1;
    }
}

/* .names INPUT .. OUTPUT: a new cover. */
static void nc_axx__blif_names(nc_axx__circuit *c) {
    uint32_t *list = NULL; /* stb_ds array */
    size_t count;
    nc_axx__signal_list(c, &list);
    count = stbds_arrlenu(list);
    if (!count)
        (void)nc__text_fail(&c->t, NC_ERR_FORMAT, ".names without an output");
    else
        (void)nc_axx__new_cover(c, list[count - 1], list, (uint32_t)count - 1);
    stbds_arrfree(list);
}

/* A line of the last cover: the inputs' pattern, then the output. */
static void nc_axx__blif_row(nc_axx__circuit *c, nc_axx__word word) {
    nc_axx__word second, output = word;
    nc_axx__cover *cover;
    size_t i;
    second = nc_axx__blif_word(&c->t);
    if (c->t.status != NC_OK) return;
    cover = &c->covers[stbds_arrlenu(c->covers) - 1];
    if (cover->inputs) {
        for (i = 0; i < word.length && strchr("01-", word.at[i]); i++) {
        }
        if (word.length != cover->inputs || i < word.length)
            (void)nc__text_fail(&c->t, NC_ERR_FORMAT, "a row needs 0, 1 or - for every input");
        output = second;
    } else if (second.length) {
        (void)nc__text_fail(&c->t, NC_ERR_FORMAT, "a constant's row is 0 or 1");
    }
    if (!nc_axx__is(output, "0") && !nc_axx__is(output, "1"))
        (void)nc__text_fail(&c->t, NC_ERR_FORMAT, "the output of a row is 0 or 1");
    else if (cover->rows && output.at[0] != cover->polarity)
        (void)nc__text_fail(&c->t, NC_ERR_FORMAT, "the outputs of a cover must be alike");
    else if (stbds_arrlenu(c->cubes) + cover->inputs > 1u << 22)
        (void)nc__text_fail(&c->t, NC_ERR_LIMIT, "the covers are too large");
    if (c->t.status != NC_OK) return;
    cover->polarity = output.at[0];
    cover->rows++;
    if (cover->inputs) memcpy(stbds_arraddnptr(c->cubes, cover->inputs), word.at, word.length);
}

/* A name without its number: a[3], a_3 and a3 are bits of a. */
static nc_axx__word nc_axx__stem(nc_axx__word word) {
    while (word.length > 1 && strchr("0123456789[]<>_", word.at[word.length - 1])) word.length--;
    return word;
}

/* The inputs called like the first are the first operand; half of them if all are. */
static void nc_axx__split_inputs(nc_axx__circuit *c) {
    const uint32_t count = (uint32_t)stbds_arrlenu(c->inputs);
    uint32_t n = 0;
    while (n < count && nc_axx__same(nc_axx__stem(c->labels[c->inputs[n]]),
                                     nc_axx__stem(c->labels[c->inputs[0]])))
        n++;
    c->widths[0] = n < count ? n : count / 2;
    c->widths[1] = count - c->widths[0];
}

static void nc_axx__blif_body(nc_axx__circuit *c);

/* .subckt MODEL FORMAL=ACTUAL ..: the body of the model, its names bound to signals of this one. */
static void nc_axx__blif_instance(nc_axx__circuit *c) {
    const nc_axx__word model = nc_axx__blif_word(&c->t);
    const uint32_t k = nc_axx__model_of(c, model), outer = c->scope, inner = ++c->scopes;
    size_t first = stbds_arrlenu(c->nets), end;
    nc_axx__word pin;
    if (k == stbds_arrlenu(c->models))
        (void)nc__text_fail(&c->t, NC_ERR_FORMAT, "no .model '%.*s' in the file",
                            nc_axx__shown(model), model.at);
    while ((pin = nc_axx__blif_word(&c->t)).length) {
        const char *equals = (const char *)memchr(pin.at, '=', pin.length);
        const nc_axx__net *net;
        nc_axx__word actual;
        uint32_t signal;
        if (!equals || equals == pin.at) {
            (void)nc__text_fail(&c->t, NC_ERR_FORMAT, "expected FORMAL=ACTUAL");
            return;
        }
        actual.at = equals + 1;
        actual.length = pin.length - (size_t)(actual.at - pin.at);
        pin.length = (size_t)(equals - pin.at);
        signal = nc_axx__blif_signal(c, actual);
        c->scope = inner;
        net = nc_axx__net_of(c, pin);
        if (!net)
            (void)nc_axx__new_net(c, pin, &signal, 1, 0);
        else if (c->bits[net->first] != signal)
            (void)nc__text_fail(&c->t, NC_ERR_FORMAT, "the pin '%.*s' is given twice",
                                nc_axx__shown(pin), pin.at);
        c->scope = outer;
    }
    if (c->t.status != NC_OK) return;
    end = stbds_arrlenu(c->nets); /* actual signals that were new stand between the pins */
    nc_axx__enter(c, k, inner, nc_axx__blif_body);
    for (; first < end && c->t.status == NC_OK; first++)
        if (c->names.scopes[first] == inner && !c->nets[first].used)
            (void)nc__text_fail(&c->t, NC_ERR_FORMAT, "the model has no pin '%.*s'",
                                nc_axx__shown(c->names.list[first]), c->names.list[first].at);
}

/* The statements of a model, up to .end or the next model; what is not understood is refused. */
static void nc_axx__blif_body(nc_axx__circuit *c) {
    int in_cover = 0; /* the last statement is .names */
    while (nc__peek(&c->t, 0) >= 0) {
        const nc_axx__word word = nc_axx__blif_word(&c->t);
        if (!word.length) {
            nc__step(&c->t);
            continue;
        }
        if (word.at[0] != '.' && !in_cover)
            (void)nc__text_fail(&c->t, NC_ERR_FORMAT, "a row outside .names");
        if (word.at[0] == '.') in_cover = nc_axx__is(word, ".names");
        if (nc_axx__is(word, ".end") || nc_axx__is(word, ".model"))
            break;
        else if (nc_axx__is(word, ".inputs"))
            nc_axx__blif_ports(c, &c->inputs);
        else if (nc_axx__is(word, ".outputs"))
            nc_axx__blif_ports(c, &c->outputs);
        else if (nc_axx__is(word, ".names"))
            nc_axx__blif_names(c);
        else if (nc_axx__is(word, ".subckt"))
            nc_axx__blif_instance(c);
        else if (word.at[0] == '.')
            (void)nc__text_fail(&c->t, NC_ERR_UNSUPPORTED,
                                "'%.*s' is not read, only .model, .inputs, .outputs, .names, "
                                ".subckt and .end",
                                nc_axx__shown(word), word.at);
        else
            nc_axx__blif_row(c, word);
    }
    if (!c->scope) nc_axx__split_inputs(c);
}

/* Where models begin; without .model the file is one. */
static void nc_axx__blif_models(nc_axx__circuit *c) {
    nc_axx__model model;
    const nc__text start = c->t;
    memset(&model, 0, sizeof model);
    model.name.at = "";
    while (nc__peek(&c->t, 0) >= 0) {
        const nc_axx__word word = nc_axx__blif_word(&c->t);
        if (nc_axx__is(word, ".model")) {
            model.name = nc_axx__blif_word(&c->t);
            model.body = c->t;
            stbds_arrput(c->models, model);
        }
        nc_axx__skip_line(&c->t);
        nc__step(&c->t);
    }
    if (c->t.status != NC_OK) return;
    c->t = start;
    if (stbds_arrlenu(c->models)) return;
    model.body = start;
    stbds_arrput(c->models, model);
}

/* The first model is the circuit. */
static nc_status nc_axx__read_blif(nc_axx__table *m, const nc_axx__input *in) {
    return nc_axx__read_circuit(m, in, 0, nc_axx__blif_models, nc_axx__blif_body);
}

/* -- structural Verilog (IEEE 1364): wires, assign, gates, instances of modules and cells -- */

enum { NC_AXX__WIRES = 64, NC_AXX__RANGE = 16384 };

/* Signals of an expression, the lowest bit first. */
typedef struct nc_axx__wires {
    uint32_t width; /* 0 after a failure */
    int unsized;    /* a number without a width */
    int is_sum;     /* with its carry: only the place it goes to says how many bits count */
    uint32_t bit[NC_AXX__WIRES];
} nc_axx__wires;

/* White space, comments, and directives that say nothing of the circuit. */
static int nc_axx__verilog_next(nc__text *t) {
    static const char *const known[] = {"`timescale", "`default_nettype", "`celldefine",
                                        "`endcelldefine", "`resetall"};
    for (;;) {
        const int c = nc__peek(t, 0), next = nc__peek(t, 1);
        size_t i;
        if (nc__is_space(c)) {
            nc__step(t);
        } else if (c == '/' && (next == '/' || next == '*')) {
            nc_axx__skip_comment(t);
        } else if (c == '`') {
            for (i = 0; i < sizeof known / sizeof *known && !nc_axx__take(t, known[i]); i++) {
            }
            if (i == sizeof known / sizeof *known)
                (void)nc__text_fail(t, NC_ERR_UNSUPPORTED, "this directive is not read");
            nc_axx__skip_line(t);
        } else {
            return c;
        }
    }
}

/* Whether this character comes next; takes it. */
static int nc_axx__verilog_take(nc__text *t, char mark) {
    if (nc_axx__verilog_next(t) != mark) return 0;
    t->at++;
    return 1;
}

static void nc_axx__verilog_expect(nc__text *t, char wanted) {
    if (!nc_axx__verilog_take(t, wanted))
        (void)nc__text_fail(t, NC_ERR_FORMAT, "expected '%c'", wanted);
}

/* A name or keyword, or \name up to a blank; empty if there is none. */
static nc_axx__word nc_axx__verilog_word(nc__text *t) {
    nc_axx__word word;
    int c = nc_axx__verilog_next(t);
    word.at = t->at;
    if (c == '\\') {
        word.at = ++t->at;
        while (nc__peek(t, 0) > ' ') t->at++;
    } else {
        while (nc__is_letter(c = nc__peek(t, 0)) ||
               (t->at > word.at && (nc__is_digit(c) || c == '$')))
            t->at++;
    }
    word.length = (size_t)(t->at - word.at);
    return word;
}

static nc_axx__word nc_axx__verilog_name(nc__text *t) {
    const nc_axx__word word = nc_axx__verilog_word(t);
    if (!word.length) (void)nc__text_fail(t, NC_ERR_FORMAT, "expected a name");
    return word;
}

/* The signal of a gate: bit i of `truth` is its value where the inputs, the first the lowest bit,
 * make i. */
static void nc_axx__gate_into(nc_axx__circuit *c, uint32_t out, const uint32_t *inputs, uint32_t n,
                              uint32_t truth) {
    nc_axx__cover *cover = nc_axx__new_cover(c, out, inputs, n);
    uint32_t row, i;
    for (row = 0; row < 1u << n; row++) {
        if (!(truth >> row & 1)) continue;
        cover->rows++;
        for (i = 0; i < n; i++) stbds_arrput(c->cubes, row >> i & 1 ? '1' : '0');
    }
}

static uint32_t nc_axx__gate(nc_axx__circuit *c, const uint32_t *inputs, uint32_t n,
                             uint32_t truth) {
    const uint32_t out = nc_axx__new_signal(c, nc_axx__word_of("of an expression"));
    if (c->t.status == NC_OK) nc_axx__gate_into(c, out, inputs, n, truth);
    return out;
}

enum { NC_AXX__BUF = 2, NC_AXX__NOT = 1, NC_AXX__AND = 8, NC_AXX__OR = 14, NC_AXX__XOR = 6 };

/* -- expressions -- */

/* [index] or [high:low] behind a net of this width; without them the whole. */
static void nc_axx__verilog_select(nc_axx__circuit *c, const nc_axx__net *net, uint32_t *low,
                                   uint32_t *width) {
    int64_t high, last;
    *low = 0;
    *width = net->width;
    if (!nc_axx__verilog_take(&c->t, '[')) return;
    (void)nc_axx__verilog_next(&c->t);
    high = last = nc_axx__integer(&c->t, 0);
    if (nc_axx__verilog_take(&c->t, ':')) {
        (void)nc_axx__verilog_next(&c->t);
        last = nc_axx__integer(&c->t, 0);
    }
    if (last < net->low || high < last || high >= (int64_t)net->low + net->width)
        (void)nc__text_fail(&c->t, NC_ERR_FORMAT, "[%ld:%ld] is not in [%ld:%ld]", (long)high,
                            (long)last, (long)(net->low + net->width) - 1, (long)net->low);
    nc_axx__verilog_expect(&c->t, ']');
    if (c->t.status != NC_OK) return;
    *low = (uint32_t)last - net->low;
    *width = (uint32_t)(high - last) + 1;
}

/* A net or its part. One of one bit that is not declared is declared by being used. */
static void nc_axx__verilog_net(nc_axx__circuit *c, nc_axx__word word, nc_axx__wires *v) {
    const nc_axx__net *net = nc_axx__net_of(c, word);
    uint32_t low, i;
    if (!net) net = nc_axx__new_net(c, word, NULL, 1, 0);
    nc_axx__verilog_select(c, net, &low, &v->width);
    if (v->width > NC_AXX__WIRES)
        (void)nc__text_fail(&c->t, NC_ERR_LIMIT, "more than 64 bits at once");
    if (c->t.status != NC_OK) return;
    for (i = 0; i < v->width; i++) v->bit[i] = c->bits[net->first + low + i];
}

/* The signal that is always 0 or 1. */
static uint32_t nc_axx__verilog_constant(nc_axx__circuit *c, uint64_t value) {
    uint32_t *constant = &c->constant[value & 1];
    if (!*constant) *constant = nc_axx__gate(c, NULL, 0, (uint32_t)value & 1) + 1;
    return *constant - 1;
}

/* 12, 4'd12, 4'b1100 or 4'hC. */
static void nc_axx__verilog_number(nc_axx__circuit *c, nc_axx__wires *v) {
    uint64_t value = nc_axx__natural(&c->t, 0);
    uint32_t base = 10, i;
    v->width = 32;
    v->unsized = 1;
    if (nc_axx__verilog_take(&c->t, '\'')) {
        const int letter = nc__peek(&c->t, 0) | 32;
        base = letter == 'b' ? 2 : letter == 'o' ? 8 : letter == 'd' ? 10 : letter == 'h' ? 16 : 0;
        if (value < 1 || value > NC_AXX__WIRES || !base)
            (void)nc__text_fail(&c->t, NC_ERR_FORMAT, "expected a number of 1 to 64 bits");
        if (c->t.status != NC_OK) return;
        v->width = (uint32_t)value;
        v->unsized = 0;
        c->t.at++;
        value = nc_axx__digits_of(&c->t, base);
    }
    if (v->width < 64 && value >> v->width)
        (void)nc__text_fail(&c->t, NC_ERR_FORMAT, "the number has more bits than its width");
    for (i = 0; i < v->width && c->t.status == NC_OK; i++)
        v->bit[i] = nc_axx__verilog_constant(c, value >> i);
}

static void nc_axx__verilog_expression(nc_axx__circuit *c, nc_axx__wires *v, int level);

static void nc_axx__verilog_concat(nc_axx__circuit *c, nc_axx__wires *v);

/* What stands in { } behind a number, so many times. */
static void nc_axx__verilog_repeat(nc_axx__circuit *c, nc_axx__wires *v) {
    nc_axx__wires part;
    uint64_t times = 0;
    uint32_t i;
    for (i = 0; i < v->width; i++)
        times |= (uint64_t)(v->bit[i] == nc_axx__verilog_constant(c, 1)) << i;
    nc_axx__verilog_expect(&c->t, '{');
    memset(&part, 0, sizeof part);
    if (++c->nested > 200) (void)nc__text_fail(&c->t, NC_ERR_LIMIT, "nested too deeply");
    if (c->t.status == NC_OK) nc_axx__verilog_concat(c, &part);
    c->nested--;
    if (times < 1 || times > NC_AXX__WIRES || times * part.width > NC_AXX__WIRES)
        (void)nc__text_fail(&c->t, NC_ERR_FORMAT, "{%lu{..}} has no bit or more than 64",
                            (unsigned long)times);
    if (c->t.status != NC_OK) return;
    memset(v, 0, sizeof *v);
    for (; times; times--, v->width += part.width)
        memcpy(v->bit + v->width, part.bit, part.width * sizeof *v->bit);
}

/* {a, b}: the last one lowest; a may be 4{..}. */
static void nc_axx__verilog_concat(nc_axx__circuit *c, nc_axx__wires *v) {
    nc_axx__wires part;
    v->width = 0;
    do {
        nc_axx__verilog_expression(c, &part, 0);
        if (part.unsized && nc_axx__verilog_next(&c->t) == '{') nc_axx__verilog_repeat(c, &part);
        if (part.unsized || part.is_sum || v->width + part.width > NC_AXX__WIRES)
            (void)nc__text_fail(&c->t, NC_ERR_FORMAT, "a part without a width, or beyond 64 bits");
        if (c->t.status != NC_OK) return;
        memmove(v->bit + part.width, v->bit, v->width * sizeof *v->bit);
        memcpy(v->bit, part.bit, part.width * sizeof *v->bit);
        v->width += part.width;
    } while (nc_axx__verilog_take(&c->t, ','));
    nc_axx__verilog_expect(&c->t, '}');
}

/* A value behind ~ or, of one bit, !. */
static void nc_axx__verilog_primary(nc_axx__circuit *c, nc_axx__wires *v) {
    const int mark = nc_axx__verilog_next(&c->t);
    uint32_t i;
    memset(v, 0, sizeof *v);
    if (++c->nested > 200) (void)nc__text_fail(&c->t, NC_ERR_LIMIT, "nested too deeply");
    if (c->t.status != NC_OK) return;
    if (mark == '~' || mark == '!') {
        c->t.at++;
        nc_axx__verilog_primary(c, v);
        if (v->unsized || v->is_sum || (mark == '!' && v->width != 1))
            (void)nc__text_fail(&c->t, NC_ERR_UNSUPPORTED, "~ of a width, ! of one bit");
        for (i = 0; i < v->width && c->t.status == NC_OK; i++)
            v->bit[i] = nc_axx__gate(c, &v->bit[i], 1, NC_AXX__NOT);
    } else if (mark == '(') {
        c->t.at++;
        nc_axx__verilog_expression(c, v, 0);
        nc_axx__verilog_expect(&c->t, ')');
    } else if (mark == '{') {
        c->t.at++;
        nc_axx__verilog_concat(c, v);
    } else if (nc__is_digit(mark)) {
        nc_axx__verilog_number(c, v);
    } else {
        nc_axx__verilog_net(c, nc_axx__verilog_name(&c->t), v);
    }
    c->nested--;
}

/* A + B + ..: ripple-carry adders, with the carry as one more bit. */
static void nc_axx__verilog_sum(nc_axx__circuit *c, nc_axx__wires *v) {
    nc_axx__wires right;
    uint32_t i, carry;
    nc_axx__verilog_primary(c, v);
    while (nc_axx__verilog_take(&c->t, '+')) {
        nc_axx__verilog_primary(c, &right);
        if (v->unsized || right.unsized || v->width >= NC_AXX__WIRES ||
            right.width >= NC_AXX__WIRES)
            (void)nc__text_fail(&c->t, NC_ERR_UNSUPPORTED, "sums are of values of 1 to 63 bits");
        if (c->t.status != NC_OK) return;
        while (v->width < right.width) v->bit[v->width++] = nc_axx__verilog_constant(c, 0);
        while (right.width < v->width) right.bit[right.width++] = nc_axx__verilog_constant(c, 0);
        carry = nc_axx__verilog_constant(c, 0);
        for (i = 0; i < v->width && c->t.status == NC_OK; i++) {
            const uint32_t three[3] = {v->bit[i], right.bit[i], carry};
            v->bit[i] = nc_axx__gate(c, three, 3, 0x96);
            carry = nc_axx__gate(c, three, 3, 0xE8);
        }
        v->bit[v->width++] = carry;
        v->is_sum = 1;
    }
}

/* | over ^ and ~^ over & over +, bit by bit; c ? a : b below them. */
static void nc_axx__verilog_expression(nc_axx__circuit *c, nc_axx__wires *v, int level) {
    static const uint32_t truths[3] = {NC_AXX__OR, NC_AXX__XOR, NC_AXX__AND};
    nc_axx__wires right, other;
    uint32_t i, truth;
    int mark;
    if (level == 3) {
        nc_axx__verilog_sum(c, v);
        return;
    }
    nc_axx__verilog_expression(c, v, level + 1);
    while ((mark = nc_axx__verilog_next(&c->t)) == "|^&"[level] ||
           (level == 1 && mark == '~' && nc__peek(&c->t, 1) == '^')) {
        truth = mark == '~' ? 15u - NC_AXX__XOR : truths[level];
        c->t.at += mark == '~' ? 2 : 1;
        nc_axx__verilog_expression(c, &right, level + 1);
        if (right.width != v->width || right.is_sum || v->is_sum)
            (void)nc__text_fail(&c->t, NC_ERR_UNSUPPORTED, "%u and %u bits are not joined",
                                (unsigned)v->width, (unsigned)right.width);
        for (i = 0; i < v->width && c->t.status == NC_OK; i++) {
            const uint32_t pair[2] = {v->bit[i], right.bit[i]};
            v->bit[i] = nc_axx__gate(c, pair, 2, truth);
        }
    }
    if (level || !nc_axx__verilog_take(&c->t, '?')) return;
    nc_axx__verilog_expression(c, &right, 0);
    nc_axx__verilog_expect(&c->t, ':');
    nc_axx__verilog_expression(c, &other, 0);
    if (v->width != 1 || right.width != other.width || right.is_sum || other.is_sum)
        (void)nc__text_fail(&c->t, NC_ERR_UNSUPPORTED, "one bit chooses between equal widths");
    for (i = 0; i < right.width && c->t.status == NC_OK; i++) {
        const uint32_t choice[3] = {other.bit[i], right.bit[i], v->bit[0]};
        right.bit[i] = nc_axx__gate(c, choice, 3, 0xCA);
    }
    *v = right;
}

/* Whether a value goes into so many bits; a number without a width does if its other bits are 0. */
static void nc_axx__verilog_fit(nc_axx__circuit *c, nc_axx__wires *v, uint32_t width) {
    uint32_t i = width;
    while (v->is_sum && v->width < width && c->t.status == NC_OK)
        v->bit[v->width++] = nc_axx__verilog_constant(c, 0);
    while (v->unsized && i < v->width && v->bit[i] + 1 == c->constant[0]) i++;
    if (v->width != width && !v->is_sum && !(v->unsized && width <= v->width && i == v->width))
        (void)nc__text_fail(&c->t, NC_ERR_UNSUPPORTED, "%u bits for %u", (unsigned)v->width,
                            (unsigned)width);
    v->width = width;
}

/* -- statements -- */

/* The next value into a net that was named. */
static void nc_axx__verilog_drive(nc_axx__circuit *c, const nc_axx__wires *to) {
    nc_axx__wires from;
    uint32_t i;
    nc_axx__verilog_expect(&c->t, '=');
    nc_axx__verilog_expression(c, &from, 0);
    nc_axx__verilog_fit(c, &from, to->width);
    for (i = 0; i < to->width && c->t.status == NC_OK; i++)
        nc_axx__gate_into(c, to->bit[i], &from.bit[i], 1, NC_AXX__BUF);
}

/* assign NET = VALUE, NET = VALUE .. ; */
static void nc_axx__verilog_assign(nc_axx__circuit *c) {
    nc_axx__wires to;
    do {
        memset(&to, 0, sizeof to);
        if (nc_axx__verilog_take(&c->t, '{'))
            nc_axx__verilog_concat(c, &to);
        else
            nc_axx__verilog_net(c, nc_axx__verilog_name(&c->t), &to);
        nc_axx__verilog_drive(c, &to);
    } while (nc_axx__verilog_take(&c->t, ','));
    nc_axx__verilog_expect(&c->t, ';');
}

/* Words and the range that may stand before names of nets: their width and lowest number. */
static void nc_axx__verilog_range(nc_axx__circuit *c, uint32_t *width, uint32_t *low) {
    int64_t high, last;
    nc__text before;
    nc_axx__word word;
    *width = 1;
    *low = 0;
    for (;;) {
        (void)nc_axx__verilog_next(&c->t);
        before = c->t;
        word = nc_axx__verilog_word(&c->t);
        if (nc_axx__is(word, "signed"))
            c->says_signed = 1;
        else if (!nc_axx__is(word, "wire"))
            break;
    }
    if (c->t.status == NC_OK) c->t = before;
    if (!nc_axx__verilog_take(&c->t, '[')) return;
    (void)nc_axx__verilog_next(&c->t);
    high = nc_axx__integer(&c->t, 0);
    nc_axx__verilog_expect(&c->t, ':');
    (void)nc_axx__verilog_next(&c->t);
    last = nc_axx__integer(&c->t, 0);
    nc_axx__verilog_expect(&c->t, ']');
    if (high < last || high - last >= NC_AXX__RANGE || high > INT32_MAX)
        (void)nc__text_fail(&c->t, NC_ERR_UNSUPPORTED,
                            "a range is [high:low] of at most 16,384 bits, below 2^31");
    *width = (uint32_t)(high - last) + 1;
    *low = (uint32_t)last;
}

/* A net of a declaration; one that is bound, or declared as a port, must have the same width. */
static void nc_axx__verilog_declare(nc_axx__circuit *c, nc_axx__word word, char direction,
                                    uint32_t width, uint32_t low) {
    nc_axx__net *net;
    if (c->t.status != NC_OK) return;
    net = nc_axx__net_of(c, word);
    if (net && net->width != width)
        (void)nc__text_fail(&c->t, NC_ERR_UNSUPPORTED, "'%.*s' has %u bits here, not %u",
                            nc_axx__shown(word), word.at, (unsigned)width, (unsigned)net->width);
    if (!net) net = nc_axx__new_net(c, word, NULL, width, low);
    net->low = low;
    if (direction) net->used = direction;
}

/* [signed] [range] names, of a port or of wires; a wire may be given its value. */
static void nc_axx__verilog_nets(nc_axx__circuit *c, char direction) {
    uint32_t width, low, i;
    nc_axx__verilog_range(c, &width, &low);
    do {
        const nc_axx__word word = nc_axx__verilog_name(&c->t);
        nc_axx__verilog_declare(c, word, direction, width, low);
        if (!direction && nc_axx__verilog_next(&c->t) == '=') {
            nc_axx__wires to;
            const nc_axx__net *net = nc_axx__net_of(c, word);
            if (width > NC_AXX__WIRES)
                (void)nc__text_fail(&c->t, NC_ERR_LIMIT, "more than 64 bits at once");
            if (c->t.status != NC_OK) return;
            to.width = width;
            for (i = 0; i < to.width; i++) to.bit[i] = c->bits[net->first + i];
            nc_axx__verilog_drive(c, &to);
        }
    } while (nc_axx__verilog_take(&c->t, ','));
    nc_axx__verilog_expect(&c->t, ';');
}

static char nc_axx__verilog_direction(nc_axx__word word) {
    return nc_axx__is(word, "input") ? 'i' : nc_axx__is(word, "output") ? 'o' : 0;
}

/* (a, b, o); or (input [7:0] a, b, output [15:0] o); whose nets are declared if asked for. */
static void nc_axx__verilog_header(nc_axx__circuit *c, nc_axx__word **ports, int declare) {
    uint32_t width = 1, low = 0;
    char direction = 0;
    if (!nc_axx__verilog_take(&c->t, '(')) {
        nc_axx__verilog_expect(&c->t, ';');
        return;
    }
    while (nc_axx__verilog_next(&c->t) != ')' && c->t.status == NC_OK) {
        nc_axx__word word;
        if (stbds_arrlenu(*ports)) nc_axx__verilog_expect(&c->t, ',');
        word = nc_axx__verilog_name(&c->t);
        if (nc_axx__verilog_direction(word)) {
            direction = nc_axx__verilog_direction(word);
            nc_axx__verilog_range(c, &width, &low);
            word = nc_axx__verilog_name(&c->t);
        }
        stbds_arrput(*ports, word);
        if (direction && declare) nc_axx__verilog_declare(c, word, direction, width, low);
    }
    nc_axx__verilog_expect(&c->t, ')');
    nc_axx__verilog_expect(&c->t, ';');
}

/* -- gates, cells and modules -- */

/* and, nand, or, nor, xor, xnor, not, buf [NAME] (out, in ..); */
static int nc_axx__verilog_primitive(nc_axx__circuit *c, nc_axx__word word) {
    static const struct {
        const char *name;
        uint32_t truth, one; /* of two inputs, and of the result so far */
    } known[] = {{"and", NC_AXX__AND, NC_AXX__BUF}, {"nand", NC_AXX__AND, NC_AXX__NOT},
                 {"or", NC_AXX__OR, NC_AXX__BUF},   {"nor", NC_AXX__OR, NC_AXX__NOT},
                 {"xor", NC_AXX__XOR, NC_AXX__BUF}, {"xnor", NC_AXX__XOR, NC_AXX__NOT},
                 {"buf", 0, NC_AXX__BUF},           {"not", 0, NC_AXX__NOT}};
    nc_axx__wires out, in;
    uint32_t k = 0, so_far = 0, n = 0;
    memset(&out, 0, sizeof out);
    while (k < sizeof known / sizeof *known && !nc_axx__is(word, known[k].name)) k++;
    if (k == sizeof known / sizeof *known) return 0;
    (void)nc_axx__verilog_word(&c->t);
    nc_axx__verilog_expect(&c->t, '(');
    nc_axx__verilog_net(c, nc_axx__verilog_name(&c->t), &out);
    for (; nc_axx__verilog_take(&c->t, ','); n++) {
        nc_axx__verilog_expression(c, &in, 0);
        nc_axx__verilog_fit(c, &in, 1);
        if (c->t.status == NC_OK) {
            const uint32_t pair[2] = {so_far, in.bit[0]};
            so_far = n ? nc_axx__gate(c, pair, 2, known[k].truth) : in.bit[0];
        }
    }
    if (out.width != 1 || (known[k].truth ? n < 2 : n != 1))
        (void)nc__text_fail(&c->t, NC_ERR_FORMAT, "a gate has one output bit and its inputs");
    nc_axx__verilog_expect(&c->t, ')');
    nc_axx__verilog_expect(&c->t, ';');
    if (c->t.status == NC_OK) nc_axx__gate_into(c, out.bit[0], &so_far, 1, known[k].one);
    return 1;
}

/* Cells of the 45 nm library that EvoApproxLib's circuits are mapped to (with or without PDKGEN
 * before the name, a strength X1 to X8 behind it): inputs, an output, its truth table. */
static const struct {
    const char *name, *inputs, *output;
    uint32_t truth;
} nc_axx__cells[] = {
    {"INV", "A", "Y", 1},           {"BUF", "A", "Y", 2},           {"AND2", "AB", "Y", 8},
    {"NAND2", "AB", "Y", 7},        {"OR2", "AB", "Y", 14},         {"NOR2", "AB", "Y", 1},
    {"XOR2", "AB", "Y", 6},         {"XNOR2", "AB", "Y", 9},        {"NAND3", "ABC", "Y", 0x7F},
    {"NOR3", "ABC", "Y", 1},        {"AOI21", "ABC", "Y", 0x07},    {"OAI21", "ABC", "Y", 0x1F},
    {"AOI22", "ABCD", "Y", 0x0777}, {"OAI22", "ABCD", "Y", 0x111F}, {"MUX2", "ABS", "Y", 0x35},
    {"HA", "AB", "YS", 6},          {"HA", "AB", "YC", 8},          {"FA", "ABC", "YS", 0x96},
    {"FA", "ABC", "YC", 0xE8}};
enum { NC_AXX__CELLS = sizeof nc_axx__cells / sizeof *nc_axx__cells };

/* The first row of a cell; NC_AXX__CELLS for none. */
static uint32_t nc_axx__cell_of(nc_axx__word word) {
    uint32_t k;
    if (nc_axx__begins(word, "PDKGEN")) {
        word.at += 6;
        word.length -= 6;
    }
    for (k = 0; k < NC_AXX__CELLS; k++) {
        const size_t n = strlen(nc_axx__cells[k].name);
        if (word.length == n + 2 && nc_axx__begins(word, nc_axx__cells[k].name) &&
            word.at[n] == 'X' && word.at[n + 1] >= '1' && word.at[n + 1] <= '8')
            break;
    }
    return k;
}

/* The pins that were bound in the present scope to the cell from row k on. */
static void nc_axx__verilog_cell(nc_axx__circuit *c, uint32_t k) {
    const char *name = nc_axx__cells[k].name;
    for (; k < NC_AXX__CELLS && !strcmp(nc_axx__cells[k].name, name); k++) {
        nc_axx__net *net = nc_axx__net_of(c, nc_axx__word_of(nc_axx__cells[k].output));
        uint32_t in[4], n = 0;
        for (; nc_axx__cells[k].inputs[n]; n++) {
            nc_axx__word pin;
            nc_axx__net *input;
            pin.at = nc_axx__cells[k].inputs + n;
            pin.length = 1;
            input = nc_axx__net_of(c, pin);
            if (!input || input->width != 1) {
                (void)nc__text_fail(&c->t, NC_ERR_FORMAT, "the cell's pin %c needs one bit",
                                    *pin.at);
                return;
            }
            input->used = 'i';
            in[n] = c->bits[input->first];
        }
        if (!net || net->width != 1) continue;
        net->used = 'o';
        nc_axx__gate_into(c, c->bits[net->first], in, n, nc_axx__cells[k].truth);
    }
}

static void nc_axx__verilog_body(nc_axx__circuit *c);

/* (.pin(value), ..) or (value, ..): names of the scope `inner`. */
static void nc_axx__verilog_bind(nc_axx__circuit *c, nc_axx__word *ports, uint32_t inner) {
    const uint32_t outer = c->scope;
    uint32_t n = 0;
    nc_axx__verilog_expect(&c->t, '(');
    while (nc_axx__verilog_next(&c->t) != ')' && c->t.status == NC_OK) {
        nc_axx__wires value;
        nc_axx__word pin = nc_axx__word_of("");
        int named, connected = 1;
        if (n) nc_axx__verilog_expect(&c->t, ',');
        named = nc_axx__verilog_take(&c->t, '.');
        if (named) {
            pin = nc_axx__verilog_name(&c->t);
            nc_axx__verilog_expect(&c->t, '(');
            connected = nc_axx__verilog_next(&c->t) != ')';
        } else if (n < stbds_arrlenu(ports)) {
            pin = ports[n];
        } else {
            (void)nc__text_fail(&c->t, NC_ERR_FORMAT, "more values than ports");
        }
        n++;
        if (connected) nc_axx__verilog_expression(c, &value, 0);
        if (named) nc_axx__verilog_expect(&c->t, ')');
        if (c->t.status != NC_OK || !connected) continue;
        if (value.unsized || value.is_sum) nc_axx__verilog_fit(c, &value, 1);
        c->scope = inner;
        if (nc_axx__net_of(c, pin))
            (void)nc__text_fail(&c->t, NC_ERR_FORMAT, "the port '%.*s' is given twice",
                                nc_axx__shown(pin), pin.at);
        else
            (void)nc_axx__new_net(c, pin, value.bit, value.width, 0);
        c->scope = outer;
    }
    nc_axx__verilog_expect(&c->t, ')');
    nc_axx__verilog_expect(&c->t, ';');
}

/* MODULE NAME (ports); of the file or of the cells. */
static void nc_axx__verilog_instance(nc_axx__circuit *c, nc_axx__word module) {
    const uint32_t k = nc_axx__model_of(c, module), cell = nc_axx__cell_of(module);
    const uint32_t outer = c->scope, inner = ++c->scopes;
    const int of_file = k < stbds_arrlenu(c->models);
    nc_axx__word *ports = NULL; /* stb_ds array */
    nc__text here;
    size_t first, end;
    (void)nc_axx__verilog_name(&c->t);
    if (!of_file && cell == NC_AXX__CELLS)
        (void)nc__text_fail(&c->t, NC_ERR_UNSUPPORTED, "no module or known cell is called '%.*s'",
                            nc_axx__shown(module), module.at);
    if (c->t.status != NC_OK) return;
    here = c->t;
    if (of_file) {
        c->t = c->models[k].body;
        nc_axx__verilog_header(c, &ports, 0);
        if (c->t.status == NC_OK) c->t = here;
    }
    first = stbds_arrlenu(c->nets);
    nc_axx__verilog_bind(c, ports, inner);
    stbds_arrfree(ports);
    if (c->t.status != NC_OK) return;
    end = stbds_arrlenu(c->nets); /* nets that were new in a value stand between the ports */
    if (of_file) {
        nc_axx__enter(c, k, inner, nc_axx__verilog_body);
    } else {
        c->scope = inner;
        nc_axx__verilog_cell(c, cell);
        c->scope = outer;
    }
    for (; first < end && c->t.status == NC_OK; first++)
        if (c->names.scopes[first] == inner && !c->nets[first].used)
            (void)nc__text_fail(&c->t, NC_ERR_FORMAT, "'%.*s' has no port '%.*s'",
                                nc_axx__shown(module), module.at,
                                nc_axx__shown(c->names.list[first]), c->names.list[first].at);
}

/* The ports of the multiplier in their order: two inputs, or one-bit ones by their names. */
static void nc_axx__verilog_top(nc_axx__circuit *c, nc_axx__word *ports) {
    uint32_t inputs = 0, i;
    size_t p;
    for (p = 0; p < stbds_arrlenu(ports) && c->t.status == NC_OK; p++) {
        const nc_axx__net *net = nc_axx__net_of(c, ports[p]);
        if (!net || !net->used) {
            (void)nc__text_fail(&c->t, NC_ERR_FORMAT, "the port '%.*s' is neither input nor output",
                                nc_axx__shown(ports[p]), ports[p].at);
            return;
        }
        if (net->used == 'i' && inputs < 2) c->widths[inputs] = net->width;
        inputs += net->used == 'i';
        for (i = 0; i < net->width; i++) {
            const uint32_t signal = c->bits[net->first + i];
            if (net->used == 'i')
                stbds_arrput(c->inputs, signal);
            else
                stbds_arrput(c->outputs, signal);
        }
    }
    if (inputs == 2) return;
    if (inputs != stbds_arrlenu(c->inputs))
        (void)nc__text_fail(&c->t, NC_ERR_FORMAT, "a multiplier has two inputs, not %u",
                            (unsigned)inputs);
    nc_axx__split_inputs(c);
}

/* The ports and statements of a module; what is not structure is refused by name. */
static void nc_axx__verilog_body(nc_axx__circuit *c) {
    static const char *const others[] = {
        "reg",     "always",   "initial", "parameter", "inout",   "function", "localparam",
        "genvar",  "generate", "integer", "logic",     "supply0", "supply1",  "tri",
        "specify", "task",     "wand",    "wor",       "begin",   "defparam"};
    nc_axx__word *ports = NULL; /* stb_ds array */
    nc_axx__verilog_header(c, &ports, 1);
    while (c->t.status == NC_OK) {
        nc_axx__word word;
        size_t i = 0;
        if (nc_axx__verilog_take(&c->t, ';')) continue;
        word = nc_axx__verilog_name(&c->t);
        if (nc_axx__is(word, "endmodule")) break;
        while (i < sizeof others / sizeof *others && !nc_axx__is(word, others[i])) i++;
        if (i < sizeof others / sizeof *others)
            (void)nc__text_fail(&c->t, NC_ERR_UNSUPPORTED,
                                "'%s' is not read, only wires, assign, gates and instances",
                                others[i]);
        else if (nc_axx__verilog_direction(word))
            nc_axx__verilog_nets(c, nc_axx__verilog_direction(word));
        else if (nc_axx__is(word, "wire"))
            nc_axx__verilog_nets(c, 0);
        else if (nc_axx__is(word, "assign"))
            nc_axx__verilog_assign(c);
        else if (c->t.status == NC_OK && !nc_axx__verilog_primitive(c, word))
            nc_axx__verilog_instance(c, word);
    }
    if (!c->scope && c->t.status == NC_OK) nc_axx__verilog_top(c, ports);
    stbds_arrfree(ports);
}

/* Where modules begin. */
static void nc_axx__verilog_models(nc_axx__circuit *c) {
    nc__text *t = &c->t;
    while (nc_axx__verilog_next(t) >= 0) {
        nc_axx__model model;
        if (!nc_axx__is(nc_axx__verilog_word(t), "module"))
            (void)nc__text_fail(t, NC_ERR_FORMAT, "expected a module");
        model.name = nc_axx__verilog_name(t);
        model.body = *t;
        for (;;) {
            const nc_axx__word word = nc_axx__verilog_word(t);
            if (nc_axx__is(word, "endmodule")) break;
            if (nc_axx__verilog_next(t) < 0)
                (void)nc__text_fail(t, NC_ERR_FORMAT, "endmodule is missing");
            if (t->status != NC_OK) return;
            if (!word.length) nc__step(t);
        }
        stbds_arrput(c->models, model);
    }
    if (!stbds_arrlenu(c->models)) (void)nc__text_fail(t, NC_ERR_FORMAT, "no module in the file");
}

/* The last module is the circuit. */
static nc_status nc_axx__read_verilog(nc_axx__table *m, const nc_axx__input *in) {
    return nc_axx__read_circuit(m, in, 1, nc_axx__verilog_models, nc_axx__verilog_body);
}

/* -- the table of forms -- */

typedef struct nc_axx__form {
    const char *ending;
    /* no_sign says what the operands of a table are, after it of a circuit too */
    nc_status (*read)(nc_axx__table *m, const nc_axx__input *in);
    nc_status (*write)(const nc_axx__written *v, nc__buffer *b,
                       nc_error *err); /* null: read only */
} nc_axx__form;

static const nc_axx__form nc_axx__forms[] = {{"", NULL, NULL},
                                             {".i16", nc_axx__read_i16, nc_axx__write_i16},
                                             {".i32", nc_axx__read_i32, nc_axx__write_i32},
                                             {".npy", nc_axx__read_npy, nc_axx__write_npy},
                                             {".h", nc_axx__read_header, nc_axx__write_header},
                                             {".csv", nc_axx__read_csv, nc_axx__write_csv},
                                             {".c", nc_axx__read_netlist, NULL},
                                             {".blif", nc_axx__read_blif, NULL},
                                             {".bin", nc_axx__read_bin, nc_axx__write_bin},
                                             {".v", nc_axx__read_verilog, NULL}};
typedef char nc_axx__every_form_has_a_row
    [sizeof nc_axx__forms / sizeof *nc_axx__forms == NC_AXX_FORM_COUNT ? 1 : -1];

NC_API nc_axx_form nc_axx_form_of(const char *path) {
    const char *dot = path ? strrchr(path, '.') : NULL;
    int i;
    for (i = 1; dot && i < NC_AXX_FORM_COUNT; i++)
        if (!strcmp(dot, nc_axx__forms[i].ending)) return (nc_axx_form)i;
    return NC_AXX_FORM_AUTO;
}

/* The power that a comment of a netlist gives as PDK45_PWR = 0.301 mW; 0 for none. */
static float nc_axx__power_line(const nc_axx__input *in) {
    static const char key[] = "PDK45_PWR =";
    const char *at = (const char *)in->data, *end = at + in->bytes;
    while ((at = (const char *)memchr(at, 'P', (size_t)(end - at))) != NULL) {
        if ((size_t)(end - at) >= sizeof key && !memcmp(at, key, sizeof key - 1)) {
            nc__text t;
            double value;
            nc__text_open(&t, at + sizeof key - 1, (size_t)(end - at) - (sizeof key - 1), NULL);
            nc_axx__skip_blanks(&t);
            value = nc__text_real(&t);
            nc_axx__skip_blanks(&t);
            return nc_axx__take(&t, "mW") && value > 0 && value < 1e6 ? (float)value : 0.0f;
        }
        at++;
    }
    return 0.0f;
}

/* Power against that of the exact multiplier of the same sign. */
static float nc_axx__table_power(const nc_axx__table *m, const nc_axx__input *in,
                                 nc_axx_form form) {
    const int is_netlist =
        form == NC_AXX_FORM_NETLIST || form == NC_AXX_FORM_BLIF || form == NC_AXX_FORM_VERILOG;
    const float exact = nc_axx__has_sign(&m->shape) ? nc_axx__published[0].milliwatts : 0.391f;
    const float power = nc_axx__published_power(in->name);
    in->report->milliwatts = is_netlist ? nc_axx__power_line(in) : 0.0f;
    return power > 0 ? power : in->report->milliwatts / exact;
}

/* How many products are not those of the published multiplier that the file is called like. */
static nc_status nc_axx__count_others(const nc_axx__table *m, const nc_axx__input *in) {
    const uint32_t known = nc_axx__published_as(in->name);
    nc_axx_mult *published;
    uint32_t i;
    if (known == NC_AXX__PUBLISHED || m->shape.bits[0] != 8 || m->shape.bits[1] != 8) return NC_OK;
    published = (nc_axx_mult *)nc__alloc(NULL, sizeof *published);
    if (!published) return nc__fail(in->err, NC_ERR_MEMORY, 0, 0, "out of memory");
    nc_axx__generate_published(published, &nc_axx__published[known]);
    for (i = 0; i < 65536; i++) in->report->differs += (uint32_t)(m->at[i] != published->table[i]);
    nc__free(NULL, published, sizeof *published);
    return NC_OK;
}

/* in->how, or an error. */
static nc_status nc_axx__set_reading(nc_axx__input *in, nc_axx_form form,
                                     const nc_axx_reading *how) {
    if (form == NC_AXX_FORM_AUTO || (unsigned)form >= NC_AXX_FORM_COUNT)
        return nc__fail(in->err, NC_ERR_ARG, 0, 0, "the form of the file is not known");
    if (how) in->how = *how;
    if ((unsigned)in->how.sign >= NC_AXX_SIGN_COUNT)
        return nc__fail(in->err, NC_ERR_ARG, 0, 0, "no sign has the number %d", (int)in->how.sign);
    if ((in->how.bits[0] || in->how.bits[1]) &&
        !(nc_axx__is_width(in->how.bits[0]) && nc_axx__is_width(in->how.bits[1])))
        return nc__fail(in->err, NC_ERR_ARG, 0, 0, "operands have 2 to 12 bits, not %u and %u",
                        (unsigned)in->how.bits[0], (unsigned)in->how.bits[1]);
    return NC_OK;
}

/* Any file into a table that has its memory, or gets it. */
static nc_status nc_axx__read_table(nc_axx__table *m, nc_axx_form form, const nc_axx_reading *how,
                                    nc_axx__input *in) {
    static const int bytes_of[2] = {1, 1};
    const nc_axx__word none = {"", 0};
    nc_status status = nc_axx__set_reading(in, form, how);
    if (status != NC_OK) return status;
    nc_axx__settle_signs(m, in, none, form == NC_AXX_FORM_BIN ? bytes_of : NULL);
    status = nc_axx__settle_table(m, in);
    if (status == NC_OK) status = nc_axx__forms[form].read(m, in);
    if (status == NC_OK) status = nc_axx__count_others(m, in);
    if (status == NC_OK) nc_axx__say(in->report);
    return status;
}

static nc_axx__input nc_axx__file_input(const char *name, const void *data, size_t bytes,
                                        nc_axx_report *found, nc_error *err) {
    nc_axx__input in;
    memset(&in, 0, sizeof in);
    memset(found, 0, sizeof *found);
    in.data = data ? data : "";
    in.bytes = bytes;
    in.name = name;
    in.report = found;
    in.err = err;
    return in;
}

NC_API nc_status nc_axx_parse_with(nc_axx_mult *m, nc_axx_form form, const nc_axx_reading *how,
                                   const char *name, const void *data, size_t bytes,
                                   nc_axx_report *report, nc_error *err) {
    nc_axx_report found;
    nc_axx__input in;
    nc_axx__table table;
    nc_axx_mult *work;
    nc_status status;
    nc__clear(err);
    if (!m || !name || (!data && bytes)) return nc__fail(err, NC_ERR_ARG, 0, 0, "null argument");
    work = (nc_axx_mult *)nc__calloc(NULL, sizeof *work);
    if (!work) return nc__fail(err, NC_ERR_MEMORY, 0, 0, "out of memory");
    in = nc_axx__file_input(name, data, bytes, &found, err);
    table.shape = nc_axx__shape_of(work);
    table.at = work->table;
    table.own = 0;
    status = nc_axx__read_table(&table, form, how, &in);
    if (status == NC_OK) {
        (void)snprintf(work->name, sizeof work->name, "%.40s", name);
        work->a_unsigned = table.shape.no_sign[0];
        work->b_unsigned = table.shape.no_sign[1];
        work->a_bits = table.shape.used[0] < 8 ? table.shape.used[0] : 0;
        work->b_bits = table.shape.used[1] < 8 ? table.shape.used[1] : 0;
        work->relative_power = nc_axx__table_power(&table, &in, form);
        if (report) *report = found;
        *m = *work;
    }
    nc__free(NULL, work, sizeof *work);
    return status;
}

NC_API nc_status nc_axx_wide_parse(nc_axx_wide **wide, nc_axx_form form, const nc_axx_reading *how,
                                   const char *name, const void *data, size_t bytes,
                                   nc_axx_report *report, nc_error *err) {
    nc_axx_report found;
    nc_axx__input in;
    nc_axx__table table;
    nc_axx_wide *w;
    nc_status status;
    nc__clear(err);
    if (wide) *wide = NULL;
    if (!wide || !name || (!data && bytes)) return nc__fail(err, NC_ERR_ARG, 0, 0, "null argument");
    w = (nc_axx_wide *)nc__calloc(NULL, sizeof *w);
    if (!w) return nc__fail(err, NC_ERR_MEMORY, 0, 0, "out of memory");
    in = nc_axx__file_input(name, data, bytes, &found, err);
    memset(&table, 0, sizeof table);
    table.own = 1;
    status = nc_axx__read_table(&table, form, how, &in);
    w->table = table.at;
    if (status != NC_OK) {
        nc_axx_wide_destroy(w);
        return status;
    }
    (void)snprintf(w->name, sizeof w->name, "%.40s", name);
    w->a_unsigned = table.shape.no_sign[0];
    w->b_unsigned = table.shape.no_sign[1];
    w->a_bits = table.shape.bits[0];
    w->b_bits = table.shape.bits[1];
    w->relative_power = nc_axx__table_power(&table, &in, form);
    if (report) *report = found;
    *wide = w;
    return NC_OK;
}

NC_API nc_status nc_axx_parse(nc_axx_mult *m, nc_axx_form form, const char *name, const void *data,
                              size_t bytes, nc_error *err) {
    return nc_axx_parse_with(m, form, NULL, name, data, bytes, NULL, err);
}

/* Its bytes to the caller, who releases them with nc_axx_free_text; nothing after a failure. */
static nc_status nc_axx__hand_over(nc__buffer *b, nc_status status, char **data, size_t *bytes,
                                   nc_error *err) {
    if (status == NC_OK && b->status != NC_OK)
        status = nc__fail(err, b->status, 0, 0, "out of memory");
    if (status != NC_OK) nc__buffer_free(b);
    *data = b->data;
    *bytes = b->used;
    return status;
}

static nc_axx__written nc_axx__table_of(const nc_axx_mult *m) {
    nc_axx__written v;
    v.shape = nc_axx__shape_of(m);
    v.at = m->table;
    v.name = m->name;
    return v;
}

static nc_axx__written nc_axx__table_of_wide(const nc_axx_wide *w) {
    nc_axx__written v;
    v.shape = nc_axx__wide_shape(w);
    v.at = w->table;
    v.name = w->name;
    return v;
}

static nc_status nc_axx__write_table(const nc_axx__written *v, nc_axx_form form, char **data,
                                     size_t *bytes, nc_error *err) {
    nc__buffer b;
    if (!data || !bytes) return nc__fail(err, NC_ERR_ARG, 0, 0, "null argument");
    if (form == NC_AXX_FORM_AUTO || (unsigned)form >= NC_AXX_FORM_COUNT)
        return nc__fail(err, NC_ERR_ARG, 0, 0, "the form of the file is not known");
    if (!nc_axx__forms[form].write)
        return nc__fail(err, NC_ERR_UNSUPPORTED, 0, 0, "this form can only be read");
    memset(&b, 0, sizeof b);
    return nc_axx__hand_over(&b, nc_axx__forms[form].write(v, &b, err), data, bytes, err);
}

NC_API nc_status nc_axx_write(const nc_axx_mult *m, nc_axx_form form, char **data, size_t *bytes,
                              nc_error *err) {
    nc_axx__written v;
    nc__clear(err);
    if (data) *data = NULL;
    if (!m) return nc__fail(err, NC_ERR_ARG, 0, 0, "null argument");
    v = nc_axx__table_of(m);
    return nc_axx__write_table(&v, form, data, bytes, err);
}

NC_API nc_status nc_axx_wide_write(const nc_axx_wide *wide, nc_axx_form form, char **data,
                                   size_t *bytes, nc_error *err) {
    nc_axx__written v;
    nc__clear(err);
    if (data) *data = NULL;
    if (!wide) return nc__fail(err, NC_ERR_ARG, 0, 0, "null argument");
    v = nc_axx__table_of_wide(wide);
    return nc_axx__write_table(&v, form, data, bytes, err);
}

NC_API void nc_axx_free_text(char *data) { nc__free(NULL, data, 0); }

#ifndef NC_NO_STDIO
/* An error that lists the endings. */
static nc_status nc_axx__unknown_ending(const char *path, nc_error *err) {
    char endings[80] = "";
    size_t used = 0;
    int i;
    for (i = 1; i < NC_AXX_FORM_COUNT && used + 8 < sizeof endings; i++)
        used += (size_t)snprintf(endings + used, sizeof endings - used, " %.7s",
                                 nc_axx__forms[i].ending);
    return nc__fail(err, NC_ERR_ARG, 0, 0, "'%.60s' ends in none of%s", path, endings);
}

NC_API nc_status nc_axx_load(nc_axx_mult *m, const char *path, nc_axx_form form, nc_error *err) {
    return nc_axx_load_with(m, path, form, NULL, NULL, err);
}

/* The bytes of a file, its form where that is AUTO, and its name without folder and ending. */
static nc_status nc_axx__open_table(const char *path, nc_axx_form *form, char name[41],
                                    uint8_t **data, size_t *bytes, nc_error *err) {
    const char *dot;
    nc_status status;
    size_t n;
    if (!path) return nc__fail(err, NC_ERR_ARG, 0, 0, "no path");
    if (*form == NC_AXX_FORM_AUTO) *form = nc_axx_form_of(path);
    if (*form == NC_AXX_FORM_AUTO) return nc_axx__unknown_ending(path, err);
    status = nc__file_read(path, NULL, data, bytes, err);
    if (status != NC_OK) return status;
    path += nc__folder_bytes(path);
    dot = strrchr(path, '.');
    n = dot ? (size_t)(dot - path) : strlen(path);
    if (n > 40) n = 40;
    memcpy(name, path, n);
    name[n] = 0;
    return NC_OK;
}

NC_API nc_status nc_axx_load_with(nc_axx_mult *m, const char *path, nc_axx_form form,
                                  const nc_axx_reading *how, nc_axx_report *report, nc_error *err) {
    char name[41];
    uint8_t *data = NULL;
    size_t bytes = 0;
    nc_status status = nc_axx__open_table(path, &form, name, &data, &bytes, err);
    if (status != NC_OK) return status;
    status = nc_axx_parse_with(m, form, how, name, data, bytes, report, err);
    nc__free(NULL, data, bytes + 1);
    return status;
}

NC_API nc_status nc_axx_wide_load(nc_axx_wide **wide, const char *path, nc_axx_form form,
                                  const nc_axx_reading *how, nc_axx_report *report, nc_error *err) {
    char name[41];
    uint8_t *data = NULL;
    size_t bytes = 0;
    nc_status status;
    if (wide) *wide = NULL;
    status = nc_axx__open_table(path, &form, name, &data, &bytes, err);
    if (status != NC_OK) return status;
    status = nc_axx_wide_parse(wide, form, how, name, data, bytes, report, err);
    nc__free(NULL, data, bytes + 1);
    return status;
}

/* What was written, to a file. */
static nc_status nc_axx__save_table(const nc_axx__written *v, const char *path, nc_axx_form form,
                                    nc_error *err) {
    char *data = NULL;
    size_t bytes = 0;
    nc_status status;
    if (form == NC_AXX_FORM_AUTO) form = nc_axx_form_of(path);
    if (form == NC_AXX_FORM_AUTO) return nc_axx__unknown_ending(path, err);
    status = nc_axx__write_table(v, form, &data, &bytes, err);
    if (status != NC_OK) return status;
    status = nc_file_write(path, data, bytes, err);
    nc_axx_free_text(data);
    return status;
}

NC_API nc_status nc_axx_save(const nc_axx_mult *m, const char *path, nc_axx_form form,
                             nc_error *err) {
    nc_axx__written v;
    if (!m || !path) return nc__fail(err, NC_ERR_ARG, 0, 0, m ? "no path" : "null argument");
    v = nc_axx__table_of(m);
    return nc_axx__save_table(&v, path, form, err);
}

NC_API nc_status nc_axx_wide_save(const nc_axx_wide *wide, const char *path, nc_axx_form form,
                                  nc_error *err) {
    nc_axx__written v;
    if (!wide || !path) return nc__fail(err, NC_ERR_ARG, 0, 0, wide ? "no path" : "null argument");
    v = nc_axx__table_of_wide(wide);
    return nc_axx__save_table(&v, path, form, err);
}
#endif

NC__COLD_END

/* >>calibration ================================================================= */

/* Blocks of so many values have loops of fixed length, which compilers turn into vectors. */
enum { NC_AXX__BLOCK_VALUES = 16 };

/* The larger magnitude as bits, which have the order of the values; NaN and infinities are none. */
static int32_t nc_axx__larger_bits(int32_t most, float x) {
    int32_t bits;
    memcpy(&bits, &x, 4);
    bits &= 0x7FFFFFFF;
    bits = bits > 0x7F7FFFFF ? 0 : bits;
    return bits > most ? bits : most;
}

NC_API float nc_axx_amax(const float *x, size_t n) {
    int32_t most[NC_AXX__BLOCK_VALUES] = {0}, largest = 0;
    float max;
    size_t i, k;
    for (i = 0; i + NC_AXX__BLOCK_VALUES <= n; i += NC_AXX__BLOCK_VALUES)
        for (k = 0; k < NC_AXX__BLOCK_VALUES; k++) most[k] = nc_axx__larger_bits(most[k], x[i + k]);
    for (; i < n; i++) largest = nc_axx__larger_bits(largest, x[i]);
    for (k = 0; k < NC_AXX__BLOCK_VALUES; k++) largest = most[k] > largest ? most[k] : largest;
    memcpy(&max, &largest, 4);
    return max;
}

NC_API void nc_axx_calibrator_reset(nc_axx_calibrator *c) { memset(c, 0, sizeof *c); }

/* Twice the range until 2^exponent is reached. */
static void nc_axx__widen(nc_axx_calibrator *c, int32_t exponent) {
    size_t i;
    if (c->count == 0) c->exponent = exponent;
    for (; c->exponent < exponent; c->exponent++)
        for (i = 0; i < NC_AXX_BINS; i++)
            c->bins[i] = i < NC_AXX_BINS / 2 ? c->bins[2 * i] + c->bins[2 * i + 1] : 0;
}

/* The least e from -40 on with x < 2^e. */
static int32_t nc_axx__exponent(float x) {
    int e;
    (void)frexpf(x, &e);
    return x > 0 && e > -40 ? e : -40;
}

NC_API void nc_axx_calibrator_collect(nc_axx_calibrator *c, const float *x, size_t n) {
    const float amax = nc_axx_amax(x, n);
    float scale;
    size_t i;
    if (!n) return;
    nc_axx__widen(c, nc_axx__exponent(amax));
    if (amax > c->amax) c->amax = amax;
    scale = ldexpf(1.0f, 11 - c->exponent);
    for (i = 0; i < n; i++) {
        const float a = x[i] < 0 ? -x[i] : x[i];
        if (!(a <= FLT_MAX)) continue;
        c->bins[(size_t)(a * scale)]++; /* below 2,048: a < 2^exponent */
        c->count++;
    }
}

NC_API void nc_axx_calibrator_merge(nc_axx_calibrator *c, const nc_axx_calibrator *other) {
    int32_t shift;
    size_t i;
    if (!other->count) return;
    nc_axx__widen(c, other->exponent);
    shift = c->exponent - other->exponent;
    for (i = 0; i < NC_AXX_BINS; i++) c->bins[shift < 31 ? i >> shift : 0] += other->bins[i];
    c->count += other->count;
    if (other->amax > c->amax) c->amax = other->amax;
}

/* How many bins reach up to the largest magnitude. */
static size_t nc_axx__bins_used(const nc_axx_calibrator *c) {
    return (size_t)(c->amax * ldexpf(1.0f, 11 - c->exponent)) + 1;
}

/* The edge of the first k bins, the last of which ends with the largest magnitude. */
static float nc_axx__edge(const nc_axx_calibrator *c, size_t k) {
    const float edge = (float)ldexp((double)k / (double)(int)NC_AXX_BINS, c->exponent);
    return edge < c->amax ? edge : c->amax;
}

/* Bins that hold this share of the values. */
static size_t nc_axx__percentile(const nc_axx_calibrator *c, double percent) {
    const double wanted = percent / 100.0 * (double)c->count;
    uint64_t below = 0;
    size_t i;
    for (i = 0; i < NC_AXX_BINS; i++) {
        below += c->bins[i];
        if ((double)below >= wanted) return i + 1;
    }
    return NC_AXX_BINS;
}

/* Bins to keep for the least mean square error, in units of a bin. */
static size_t nc_axx__least_squares(const nc_axx_calibrator *c, uint32_t bits) {
    const double levels = (double)((1u << (bits - 1)) - 1);
    const size_t used = nc_axx__bins_used(c);
    double least = 0;
    size_t best = used, i, k;
    for (k = 128; k <= used; k++) {
        const double edge = ldexp((double)nc_axx__edge(c, k), 11 - c->exponent);
        double sum = 0;
        for (i = 0; i < used; i++) {
            const double centre = (double)i + 0.5;
            double q = rint(centre * levels / edge);
            if (!c->bins[i]) continue;
            q = q > levels ? levels : q;
            q = centre - q * edge / levels;
            sum += (double)c->bins[i] * q * q;
        }
        if (k > 128 && !(sum < least)) continue;
        least = sum;
        best = k;
    }
    return best;
}

/* A bin; that of zeros counts as its neighbour. */
static double nc_axx__bin(const nc_axx_calibrator *c, size_t i) {
    return (double)c->bins[i ? i : 1];
}

/* Divergence of the first k bins, those beyond added to the last, from the same in groups;
 * negative: infinite. */
static double nc_axx__divergence(const nc_axx_calibrator *c, double total, size_t k,
                                 size_t groups) {
    double kept = 0, last, sum = 0;
    size_t first, i, group;
    for (i = 0; i < k; i++) kept += nc_axx__bin(c, i);
    last = nc_axx__bin(c, k - 1) + (total - kept);
    if (kept <= 0 || (last > 0 && nc_axx__bin(c, k - 1) <= 0)) return -1.0;
    for (first = 0, group = 0; group < groups; group++) {
        const size_t end = ((group + 1) * k + groups - 1) / groups; /* i groups / k == group */
        double weight = 0, used = 0, q;
        for (i = first; i < end; i++) {
            weight += nc_axx__bin(c, i);
            used += nc_axx__bin(c, i) > 0;
        }
        q = used > 0 ? weight / used / kept : 0;
        for (i = first; i < end; i++) {
            const double p = (i == k - 1 ? last : nc_axx__bin(c, i)) / total;
            if (p > 0) sum += p * log(p / q);
        }
        first = end;
    }
    return sum < 0 ? 0 : sum;
}

/* How many bins to keep, 128 of them at least, so that the quantised histogram tells least apart
 * from the whole one: Kullback-Leibler divergence (Migacz, 8-bit inference with TensorRT, 2017).
 * Zeros count as there. */
static size_t nc_axx__least_divergence(const nc_axx_calibrator *c, uint32_t bits) {
    const size_t groups = (size_t)1 << (bits - 1), used = nc_axx__bins_used(c);
    double total = 0, least = 0;
    size_t best = 0, i, k;
    for (i = 0; i < NC_AXX_BINS; i++) total += nc_axx__bin(c, i);
    for (k = 128; k <= used; k++) {
        const double sum = nc_axx__divergence(c, total, k, groups);
        if (sum < 0 || (best && !(sum < least))) continue;
        least = sum;
        best = k;
    }
    return best ? best : used;
}

NC_API float nc_axx_calibrator_amax(const nc_axx_calibrator *c, nc_axx_calibration method,
                                    double percent, uint32_t bits) {
    size_t kept;
    if (!c || !c->count || bits < 2 || bits > 8) return 0.0f;
    if (!(percent >= 0 && percent <= 100)) return 0.0f;
    switch (method) {
    case NC_AXX_CALIBRATE_MAX: return c->amax;
    case NC_AXX_CALIBRATE_PERCENTILE:
        kept = nc_axx__percentile(c, percent > 0 ? percent : 99.99);
        break;
    case NC_AXX_CALIBRATE_MSE: kept = nc_axx__least_squares(c, bits); break;
    case NC_AXX_CALIBRATE_ENTROPY: kept = nc_axx__least_divergence(c, bits); break;
    default: return 0.0f;
    }
    return nc_axx__edge(c, kept);
}

NC_API nc_status nc_axx_calibrate_rows(float *amax, const float *x, size_t rows, size_t columns,
                                       nc_axx_calibration method, double percent, uint32_t bits) {
    nc_axx_calibrator *c;
    size_t r;
    if ((rows && !amax) || (rows && columns && !x) || (unsigned)method >= NC_AXX_CALIBRATION_COUNT)
        return NC_ERR_ARG;
    if (bits < 2 || bits > 8 || !(percent >= 0 && percent <= 100)) return NC_ERR_ARG;
    c = (nc_axx_calibrator *)nc__alloc(NULL, sizeof *c);
    if (!c) return NC_ERR_MEMORY;
    for (r = 0; r < rows; r++) {
        nc_axx_calibrator_reset(c);
        nc_axx_calibrator_collect(c, x + r * columns, columns);
        amax[r] = nc_axx_calibrator_amax(c, method, percent, bits);
    }
    nc__free(NULL, c, sizeof *c);
    return NC_OK;
}

/* Magic, exponent, amax, count, bins, checksum. */
NC_API void nc_axx_calibrator_save(const nc_axx_calibrator *c, uint8_t *bytes) {
    uint32_t amax;
    size_t i;
    memcpy(&amax, &c->amax, 4);
    memcpy(bytes, "NCAXXC1\n", 8);
    nc__put_le(bytes + 8, (uint64_t)(int64_t)c->exponent, 4);
    nc__put_le(bytes + 12, amax, 4);
    nc__put_le(bytes + 16, c->count, 8);
    for (i = 0; i < NC_AXX_BINS; i++) nc__put_le(bytes + 24 + 8 * i, c->bins[i], 8);
    i = NC_AXX_CALIBRATOR_BYTES - 8;
    nc__put_le(bytes + i, nc__fnv1a(NC__FNV_START, bytes, i), 8);
}

NC_API nc_status nc_axx_calibrator_load(nc_axx_calibrator *c, const uint8_t *bytes, size_t size) {
    uint64_t total, count = 0;
    int32_t exponent;
    uint32_t word;
    float amax;
    size_t i;
    if (!c || !bytes) return NC_ERR_ARG;
    if (size != NC_AXX_CALIBRATOR_BYTES || memcmp(bytes, "NCAXXC1\n", 8) != 0) return NC_ERR_FORMAT;
    if (nc__get_le(bytes + size - 8, 8) != nc__fnv1a(NC__FNV_START, bytes, size - 8))
        return NC_ERR_MISMATCH;
    exponent = (int32_t)(uint32_t)nc__get_le(bytes + 8, 4);
    word = (uint32_t)nc__get_le(bytes + 12, 4);
    memcpy(&amax, &word, 4);
    total = nc__get_le(bytes + 16, 8);
    for (i = 0; i < NC_AXX_BINS; i++) {
        const uint64_t bin = nc__get_le(bytes + 24 + 8 * i, 8);
        if (bin > total - count) return NC_ERR_FORMAT;
        count += bin;
    }
    if (count != total || !(amax >= 0 && amax <= FLT_MAX)) return NC_ERR_FORMAT;
    if (total ? exponent != nc_axx__exponent(amax) : amax > 0) return NC_ERR_FORMAT;
    c->exponent = exponent;
    c->amax = amax;
    c->count = total;
    for (i = 0; i < NC_AXX_BINS; i++) c->bins[i] = nc__get_le(bytes + 24 + 8 * i, 8);
    return NC_OK;
}

/* >>quantisation ================================================================ */

/* The largest code of so many bits without a sign over amax. */
static float nc_axx__scale_of(float amax, uint32_t bits) {
    return amax >= 5.9604644775390625e-8f /* 2^-24 */ ? (float)((1u << bits) - 1) / amax : 0.0f;
}

NC_API float nc_axx_scale(float amax, uint32_t bits) {
    return nc_axx__is_width(bits) ? nc_axx__scale_of(amax, bits - 1) : 0.0f;
}

NC_API float nc_axx_scale_unsigned(float amax, uint32_t bits) {
    return nc_axx__is_width(bits) ? nc_axx__scale_of(amax, bits) : 0.0f;
}

/* round(x scale) between low and high. */
static int nc_axx__code(float x, float scale, float low, float high) {
    float v = x * scale;
    v = v != v ? 0.0f : v;
    v = v > high ? high : v;
    v = v < low ? low : v;
    v = (v + 12582912.0f) - 12582912.0f; /* 1.5 * 2^23: the addition rounds to even */
    return (int)v;
}

static int nc_axx__level(void);

#ifdef NC_AXX__X86
/* Those of eight values; only the order of the bounds differs, and of NaN. */
static inline __attribute__((always_inline, target("avx2"))) __m256i
nc_axx__eight_codes(const float *x, __m256 scale, __m256 low, __m256 high) {
    const __m256 v = _mm256_mul_ps(_mm256_loadu_ps(x), scale);
    const __m256 real = _mm256_and_ps(v, _mm256_cmp_ps(v, v, _CMP_ORD_Q));
    return _mm256_cvtps_epi32(_mm256_max_ps(_mm256_min_ps(real, high), low));
}

/* Eight by eight as far as they go; returns how many. */
__attribute__((target("avx2"))) static size_t
nc_axx__vector_codes(uint8_t *q, const float *x, size_t n, float scale, float low, float high) {
    const __m256 by = _mm256_set1_ps(scale), least = _mm256_set1_ps(low);
    const __m256 most = _mm256_set1_ps(high);
    const __m256i bytes = _mm256_set1_epi16(255);
    const __m256i order = _mm256_setr_epi32(0, 4, 1, 5, 2, 6, 3, 7);
    size_t i = 0, k;
    for (; i + 8 <= n; i += k) {
        __m256i a = nc_axx__eight_codes(x + i, by, least, most), b = a;
        __m256i c;
        k = i + 32 <= n ? 32 : i + 16 <= n ? 16 : 8;
        if (k > 8) b = nc_axx__eight_codes(x + i + 8, by, least, most);
        a = c = _mm256_and_si256(_mm256_packs_epi32(a, b), bytes);
        if (k == 32) {
            b = nc_axx__eight_codes(x + i + 16, by, least, most);
            c = nc_axx__eight_codes(x + i + 24, by, least, most);
            c = _mm256_and_si256(_mm256_packs_epi32(b, c), bytes);
        }
        a = _mm256_permutevar8x32_epi32(_mm256_packus_epi16(a, c), order);
        if (k == 32)
            _mm256_storeu_si256((__m256i *)(void *)(q + i), a);
        else if (k == 16)
            _mm_storeu_si128((__m128i *)(void *)(q + i), _mm256_castsi256_si128(a));
        else
            _mm_storel_epi64((__m128i *)(void *)(q + i), _mm256_castsi256_si128(a));
    }
    return i;
}
#endif

/* The same for n values, the low bytes. */
static void nc_axx__codes(uint8_t *q, const float *x, size_t n, float scale, float low,
                          float high) {
    size_t i = 0, k;
#ifdef NC_AXX__X86
    if (nc_axx__level() >= 1) i = nc_axx__vector_codes(q, x, n, scale, low, high);
#endif
    for (; i + NC_AXX__BLOCK_VALUES <= n; i += NC_AXX__BLOCK_VALUES) {
        uint8_t out[NC_AXX__BLOCK_VALUES]; /* q may lie anywhere */
        for (k = 0; k < NC_AXX__BLOCK_VALUES; k++)
            out[k] = (uint8_t)nc_axx__code(x[i + k], scale, low, high);
        memcpy(q + i, out, sizeof out);
    }
    for (; i < n; i++) q[i] = (uint8_t)nc_axx__code(x[i], scale, low, high);
}

NC_API void nc_axx_quantize(int8_t *q, const float *x, size_t n, float scale, uint32_t bits) {
    const int top = bits < 2 || bits > 8 ? 127 : (1 << (bits - 1)) - 1;
    nc_axx__codes((uint8_t *)q, x, n, scale, (float)(-top - 1), (float)top);
}

NC_API void nc_axx_quantize_unsigned(uint8_t *q, const float *x, size_t n, float scale,
                                     uint32_t bits) {
    const int top = bits < 2 || bits > 8 ? 255 : (1 << bits) - 1;
    nc_axx__codes(q, x, n, scale, 0.0f, (float)top);
}

NC_API void nc_axx_quantize_rows(int8_t *q, float *scales, const float *x, size_t rows,
                                 size_t columns, uint32_t bits) {
    size_t r;
    for (r = 0; r < rows; r++) {
        const float amax = nc_axx_amax(x + r * columns, columns);
        nc_axx_quantize_rows_at(q + r * columns, scales + r, &amax, x + r * columns, 1, columns,
                                bits);
    }
}

NC_API void nc_axx_quantize_rows_at(int8_t *q, float *scales, const float *amax, const float *x,
                                    size_t rows, size_t columns, uint32_t bits) {
    size_t r;
    for (r = 0; r < rows; r++) {
        scales[r] = nc_axx_scale(amax[r], bits);
        nc_axx_quantize(q + r * columns, x + r * columns, columns, scales[r], bits);
    }
}

NC_API void nc_axx_dequantize(float *x, const void *q, size_t n, float scale, int is_unsigned) {
    const uint8_t *bytes = (const uint8_t *)q;
    size_t i;
    for (i = 0; i < n; i++) {
        const float v = is_unsigned ? (float)bytes[i] : (float)(int8_t)bytes[i];
        x[i] = scale != 0.0f ? v / scale : 0.0f;
    }
}

NC_API void nc_axx_quantize_wide(int16_t *q, const float *x, size_t n, float scale, uint32_t bits) {
    const float top = (float)((1 << ((nc_axx__is_width(bits) ? bits : 12) - 1)) - 1);
    size_t i;
    for (i = 0; i < n; i++) q[i] = (int16_t)nc_axx__code(x[i], scale, -top - 1, top);
}

NC_API void nc_axx_quantize_wide_unsigned(uint16_t *q, const float *x, size_t n, float scale,
                                          uint32_t bits) {
    const float top = (float)((1 << (nc_axx__is_width(bits) ? bits : 12)) - 1);
    size_t i;
    for (i = 0; i < n; i++) q[i] = (uint16_t)nc_axx__code(x[i], scale, 0.0f, top);
}

NC_API void nc_axx_quantize_wide_rows(int16_t *q, float *scales, const float *x, size_t rows,
                                      size_t columns, uint32_t bits) {
    size_t r;
    for (r = 0; r < rows; r++) {
        scales[r] = nc_axx_scale(nc_axx_amax(x + r * columns, columns), bits);
        nc_axx_quantize_wide(q + r * columns, x + r * columns, columns, scales[r], bits);
    }
}

NC_API void nc_axx_dequantize_wide(float *x, const void *q, size_t n, float scale,
                                   int is_unsigned) {
    const uint16_t *words = (const uint16_t *)q;
    size_t i;
    for (i = 0; i < n; i++) {
        const float v = is_unsigned ? (float)words[i] : (float)(int16_t)words[i];
        x[i] = scale != 0.0f ? v / scale : 0.0f;
    }
}

/* >>engines ===================================================================== */

static int nc_axx__forced_level = -1;

static int nc_axx__best_level(void) {
#ifdef NC_AXX__X86
    if (nc__cpu_level() >= 2 && __builtin_cpu_supports("avx512vbmi") &&
        __builtin_cpu_supports("avx512vnni"))
        return 2;
    return nc__cpu_level() >= 1 ? 1 : 0;
#else
    return nc__cpu_level();
#endif
}

static int nc_axx__level(void) {
    static int best = -1;
    return nc__level(&nc_axx__forced_level, &best, nc_axx__best_level);
}

NC_API int nc_axx_set_simd(int level) {
    const int best = nc_axx__best_level();
    NC__SET(nc_axx__forced_level, level > best ? best : level < 0 ? -1 : level);
    return nc_axx__level();
}

enum {
    NC_AXX__TERMS = 8,
    NC_AXX__FACTOR_MOST = 512,   /* of |f| and |g| before they are bytes */
    NC_AXX__TERM_MOST = 1 << 27, /* of factor |f| |g|: with eight of these the rest of .. */
    NC_AXX__SPLIT_MOST = 1 << 20 /* .. a table whose products are below this fits 32 bits */
};

/* factor f(a) g(b), bytes as the processor multiplies them: f = u - u_offset, g = v + v_offset. */
typedef struct nc_axx__term {
    int32_t factor, u_offset, v_offset;
    uint8_t u[256]; /* by the bytes of the operands as they lie in memory */
    int8_t v[256];
} nc_axx__term;

/* What is looked up: the rest as cells [byte of one operand][class of the other's]. */
typedef struct nc_axx__rest {
    uint32_t classes;
    uint8_t class_of[256];
    uint16_t cells[2][256 * 256]; /* words: the low and the high ones; bytes where one is enough */
} nc_axx__rest;

struct nc_axx_engine {
    nc_axx_engine_info info;
    uint8_t a_unsigned, b_unsigned; /* as the multiplier's */
    int32_t rest_offset;            /* a look-up is the rest's value plus this */
    uint32_t most;                  /* the largest value of the rest */
    nc_axx__term terms[NC_AXX__TERMS];
    nc_axx__rest rest[2];        /* by the first operand's byte, by the second's */
    uint8_t plane[2][256 * 256]; /* rest[0] in bytes, for AVX-512 */
    int32_t table[65536];        /* [first operand's byte][second's] */
    int32_t turned[65536];       /* [second operand's byte][first's] */
    int32_t *wide;               /* null, or of operands of 16 bits: a table by their low bits */
    uint8_t bits[2];             /* how many those are */
    int16_t *factors; /* null, or what the table is the product of: by first, by second */
};

static int32_t nc_axx__gcd(int32_t a, int32_t b) {
    a = nc_axx__abs(a);
    b = nc_axx__abs(b);
    while (b) {
        const int32_t rest = a % b;
        a = b;
        b = rest;
    }
    return a;
}

/* Values as bytes with an offset. A few that lie too far out are clamped: what is then missing
 * stays in the rest. */
static void nc_axx__as_bytes(int32_t *values, int32_t low, uint8_t *bytes, int32_t *offset) {
    int32_t least = values[0], most = values[0];
    int i, below = 0, above = 0;
    for (i = 1; i < 256; i++) {
        if (values[i] < least) least = values[i];
        if (values[i] > most) most = values[i];
    }
    for (i = 0; i < 256; i++) { /* lost with a window from the least up, or from the most down */
        above += values[i] > least + 255;
        below += values[i] < most - 255;
    }
    if (above > below) least = most - 255;
    /* no offset where none is needed */
    *offset = least >= low && most <= low + 255 ? 0 : least - low;
    for (i = 0; i < 256; i++) {
        int32_t v = values[i] - *offset - low;
        v = v < 0 ? 0 : v > 255 ? 255 : v;
        values[i] = v + *offset + low;
        bytes[i] = (uint8_t)(v + low);
    }
}

/* rest -= factor f g, f and g as bytes; *term says how. */
static void nc_axx__take_term(int32_t *rest, int32_t factor, int32_t *f, int32_t *g,
                              nc_axx__term *term) {
    uint8_t v[256];
    int32_t offset;
    int i, k;
    nc_axx__as_bytes(f, 0, term->u, &offset);
    term->u_offset = -offset;
    nc_axx__as_bytes(g, -128, v, &term->v_offset);
    memcpy(term->v, v, sizeof v);
    term->factor = factor;
    for (i = 0; i < 256; i++)
        for (k = 0; k < 256; k++) rest[i * 256 + k] -= factor * f[i] * g[k];
}

/* A candidate of rank one: row i over its greatest common divisor d, and the lightest column that
 * holds d or -d there. Taking it away lowers the rank of the rest by one (Wedderburn). Returns the
 * weight of a sample of what would be left, or -1. */
static int64_t nc_axx__candidate(const int32_t *rest, int i, const int64_t *column_weight,
                                 int32_t *factor, int32_t *f, int32_t *g) {
    const int32_t *row = rest + i * 256;
    int32_t d = 0, common = 0, column = -1, most_f = 0, most_g = 0;
    int64_t weight = 0;
    int k, j;
    for (k = 0; k < 256 && d != 1; k++) d = nc_axx__gcd(d, row[k]);
    if (d == 0) return -1;
    for (k = 0; k < 256; k++)
        if (nc_axx__abs(row[k]) == d && (column < 0 || column_weight[k] < column_weight[column]))
            column = k;
    if (column < 0) return -1;
    for (k = 0; k < 256; k++) {
        g[k] = row[k] / d;
        f[k] = rest[k * 256 + column] * (row[column] < 0 ? -1 : 1);
        common = nc_axx__gcd(common, f[k]);
    }
    for (k = 0; k < 256; k++) f[k] /= common;
    *factor = common;
    for (k = 0; k < 256; k++) {
        most_f = nc_axx__abs(f[k]) > most_f ? nc_axx__abs(f[k]) : most_f;
        most_g = nc_axx__abs(g[k]) > most_g ? nc_axx__abs(g[k]) : most_g;
    }
    if (most_f > NC_AXX__FACTOR_MOST || most_g > NC_AXX__FACTOR_MOST ||
        (int64_t)common * most_f * most_g > NC_AXX__TERM_MOST)
        return -1;
    for (k = 5; k < 256; k += 7)
        for (j = 3; j < 256; j += 7)
            weight += nc_axx__abs(rest[k * 256 + j] - common * f[k] * g[j]);
    return weight;
}

/* The best candidate taken away; 0 when there is none. */
static int nc_axx__take_best(int32_t *rest, nc_axx__term *term) {
    int64_t column_weight[256], best = -1;
    int32_t f[256], g[256], factor, best_row = -1;
    int i, k;
    memset(column_weight, 0, sizeof column_weight);
    for (i = 0; i < 256; i++)
        for (k = 0; k < 256; k++) column_weight[k] += nc_axx__abs(rest[i * 256 + k]);
    for (i = 0; i < 256; i++) {
        const int64_t weight = nc_axx__candidate(rest, i, column_weight, &factor, f, g);
        if (weight < 0 || (best >= 0 && weight >= best)) continue;
        best = weight;
        best_row = i;
    }
    if (best_row < 0) return 0;
    (void)nc_axx__candidate(rest, best_row, column_weight, &factor, f, g);
    nc_axx__take_term(rest, factor, f, g, term);
    return 1;
}

/* Different columns of the rest: their number, the class of each and one column of every class. */
static uint32_t nc_axx__classes(const int32_t *rest, uint8_t *class_of, uint8_t *column_of) {
    uint32_t count = 0, k, c, i;
    for (k = 0; k < 256; k++) {
        for (c = 0; c < count; c++) {
            for (i = 0; i < 256; i++)
                if (rest[i * 256 + k] != rest[i * 256 + column_of[c]]) break;
            if (i == 256) break;
        }
        if (c == count) column_of[count++] = (uint8_t)k;
        class_of[k] = (uint8_t)c;
    }
    return count;
}

/* Bytes that the rest needs beside an offset: 0 when it is constant. most: the largest value then.
 */
static uint32_t nc_axx__planes(const int32_t *rest, int32_t *offset, uint32_t *most) {
    int32_t low = rest[0], high = rest[0];
    uint32_t i;
    for (i = 1; i < 65536; i++) {
        if (rest[i] < low) low = rest[i];
        if (rest[i] > high) high = rest[i];
    }
    *offset = low;
    *most = (uint32_t)high - (uint32_t)low;
    return *most > 65535 ? 4 : *most > 255 ? 2 : *most ? 1 : 0;
}

/* How many values of the rest one byte (or one word, of two or four bytes) holds the sum of: 1, 2
 * or 4. */
static NC_UNUSED uint32_t nc_axx__joined(uint32_t planes, uint32_t most) {
    const uint32_t limit = planes == 1 ? 0xFF : 0xFFFF;
    return planes == 4 || 2 * most > limit ? 1 : 4 * most > limit ? 2 : 4;
}

/* What so many terms and the rest's look-ups cost, in terms: measured (bench/axx.c) with AVX-512
 * and AVX2, for NEON by llvm-mca. An engine gives the same sums at every level, whichever it was
 * made at. */
static double nc_axx__cost(uint32_t terms, uint32_t planes, uint32_t classes) {
    const double words = planes * (0.95 + classes / 220.0) + (planes == 1 ? 0.2 : 0);
#ifdef NC_AXX__X86
    if (nc_axx__level() >= 2 && planes < 4)
        return terms + planes * (classes <= 64 ? 2.15 : classes <= 128 ? 2.4 : 3.65);
#elif defined(NC__NEON)
    if (nc_axx__level() >= 2) return terms + 4 * words; /* dot products only help the terms */
#endif
    return terms + words;
}

/* Cells of the rest, one column of every class. */
static void nc_axx__fill_cells(nc_axx__rest *r, const int32_t *rest, int32_t offset,
                               uint32_t planes) {
    uint8_t column_of[256];
    uint32_t i, k, at;
    r->classes = nc_axx__classes(rest, r->class_of, column_of);
    for (i = 0; i < 256; i++)
        for (k = 0; k < r->classes; k++) {
            const uint32_t v = (uint32_t)rest[i * 256 + column_of[k]] - (uint32_t)offset;
            at = i * 256 + k;
            if (planes == 1) {
                ((uint8_t *)r->cells)[at] = (uint8_t)v;
                continue;
            }
            r->cells[0][at] = (uint16_t)v;
            r->cells[1][at] = (uint16_t)(v >> 16);
        }
}

/* The cells of the rest that the terms leave of the table, both ways round. */
static void nc_axx__fill(nc_axx_engine *e, int32_t *rest) {
    uint32_t i, k, r;
    for (i = 0; i < 256; i++)
        for (k = 0; k < 256; k++) {
            uint32_t v = (uint32_t)e->table[i * 256 + k]; /* modulo 2^32 */
            for (r = 0; r < e->info.products; r++) {
                const nc_axx__term *t = &e->terms[r];
                v -= (uint32_t)t->factor * (uint32_t)(t->u[i] - t->u_offset) *
                     (uint32_t)(t->v[k] + t->v_offset);
            }
            rest[i * 256 + k] = (int32_t)v;
        }
    nc_axx__fill_cells(&e->rest[0], rest, e->rest_offset, e->info.planes);
    for (i = 0; i < 65536; i++) {
        const uint32_t cell =
            e->info.planes == 1 ? ((const uint8_t *)e->rest[0].cells)[i] : e->rest[0].cells[0][i];
        e->plane[0][i] = (uint8_t)cell;
        e->plane[1][i] = (uint8_t)(cell >> 8);
    }
    for (i = 0; i < 256; i++)
        for (k = 0; k < i; k++) {
            const int32_t v = rest[i * 256 + k];
            rest[i * 256 + k] = rest[k * 256 + i];
            rest[k * 256 + i] = v;
        }
    nc_axx__fill_cells(&e->rest[1], rest, e->rest_offset, e->info.planes);
}

static void nc_axx__choose(nc_axx_engine *e, int32_t *rest, int with_exact, const nc_axx_mult *m,
                           uint32_t most, double *best) {
    nc_axx__term terms[NC_AXX__TERMS];
    uint8_t class_of[256], column_of[256];
    uint32_t count = 0, i;
    memcpy(rest, e->table, sizeof e->table);
    if (with_exact) {
        int32_t a[256], b[256];
        for (i = 0; i < 256; i++) {
            a[i] = m->a_unsigned ? (int32_t)i : (int32_t)(int8_t)i;
            b[i] = m->b_unsigned ? (int32_t)i : (int32_t)(int8_t)i;
        }
        if (most == 0) return;
        nc_axx__take_term(rest, 1, a, b, &terms[count++]);
    }
    for (;;) {
        int32_t offset;
        uint32_t largest;
        const uint32_t planes = nc_axx__planes(rest, &offset, &largest);
        const uint32_t classes = planes ? nc_axx__classes(rest, class_of, column_of) : 0;
        const double cost = nc_axx__cost(count, planes, classes);
        if (cost < *best) {
            *best = cost;
            memcpy(e->terms, terms, sizeof terms);
            e->info.products = count;
            e->info.planes = planes;
            e->info.classes = classes;
            e->rest_offset = offset;
            e->most = largest;
        }
        if (planes == 0 || count >= most || e->info.largest >= NC_AXX__SPLIT_MOST ||
            !nc_axx__take_best(rest, &terms[count]))
            return;
        count++;
    }
}

/* What is looked up for the bytes of one operand and the other. */
static uint32_t nc_axx__cell(const nc_axx_engine *e, const nc_axx__rest *r, uint32_t i,
                             uint32_t k) {
    const uint32_t at = i * 256 + r->class_of[k];
    if (e->info.planes == 1) return ((const uint8_t *)r->cells)[at];
    return r->cells[0][at] | (e->info.planes == 4 ? (uint32_t)r->cells[1][at] << 16 : 0);
}

/* Every entry of the table again from the terms and all forms of the rest. */
static int nc_axx__proven(const nc_axx_engine *e) {
    uint32_t i, k, r;
    for (i = 0; i < 256; i++)
        for (k = 0; k < 256; k++) {
            int64_t sum = e->rest_offset;
            for (r = 0; r < e->info.products; r++) {
                const nc_axx__term *t = &e->terms[r];
                sum += (int64_t)t->factor * (t->u[i] - t->u_offset) * (t->v[k] + t->v_offset);
            }
            if (e->info.planes) {
                const uint32_t at = i * 256 + e->rest[0].class_of[k];
                const uint32_t cell = nc_axx__cell(e, &e->rest[0], i, k);
                if (cell != nc_axx__cell(e, &e->rest[1], k, i) || cell > e->most) return 0;
                if ((uint16_t)cell != (e->plane[0][at] | e->plane[1][at] << 8)) return 0;
                sum += cell;
            }
            if (sum != e->table[i * 256 + k]) return 0;
        }
    return 1;
}

/* What an engine does for a product, in words. */
static void nc_axx__describe(nc_axx_engine_info *info) {
    static const char *const bytes[] = {"", "1 byte", "2 bytes", "", "4 bytes"};
    const char *sums = info->products == 1 ? "product" : "products";
    if (info->planes && !info->classes)
        (void)snprintf(info->text, sizeof info->text, "table");
    else if (info->planes == 0 && info->products == 0)
        (void)snprintf(info->text, sizeof info->text, "constant");
    else if (info->planes == 0)
        (void)snprintf(info->text, sizeof info->text, "%u %s", (unsigned)info->products, sums);
    else if (info->products == 0)
        (void)snprintf(info->text, sizeof info->text, "look-up of %s in %u", bytes[info->planes],
                       (unsigned)info->classes);
    else
        (void)snprintf(info->text, sizeof info->text, "%u %s + look-up of %s in %u",
                       (unsigned)info->products, sums, bytes[info->planes],
                       (unsigned)info->classes);
}

NC_API nc_status nc_axx_engine_create_with(nc_axx_engine **engine, const nc_axx_mult *m,
                                           int most_products) {
    const uint32_t most =
        most_products > (int)NC_AXX__TERMS ? (uint32_t)NC_AXX__TERMS : (uint32_t)most_products;
    double best = 1e9;
    nc_axx__shape shape;
    nc_axx_engine *e;
    int32_t *rest;
    uint32_t i;
    if (!engine) return NC_ERR_ARG;
    *engine = NULL;
    if (!m) return NC_ERR_ARG;
    e = (nc_axx_engine *)nc__calloc(NULL, sizeof *e);
    rest = (int32_t *)nc__alloc(NULL, sizeof e->table);
    if (!e || !rest) {
        nc__free(NULL, e, 0);
        nc__free(NULL, rest, 0);
        return NC_ERR_MEMORY;
    }
    shape = nc_axx__shape_of(m);
    for (i = 0; i < 65536; i++) { /* from the operands' order to that of their bytes */
        const int32_t v = m->table[i];
        e->table[i ^ nc_axx__byte_order(&shape)] = v;
        if (v == INT32_MIN || nc_axx__abs(v) > e->info.largest)
            e->info.largest = v == INT32_MIN ? INT32_MAX : nc_axx__abs(v);
    }
    e->a_unsigned = m->a_unsigned;
    e->b_unsigned = m->b_unsigned;
    memcpy(e->info.name, m->name, sizeof e->info.name);
    e->info.relative_power = m->relative_power;
    for (i = 0; i < 65536; i++) e->turned[i] = e->table[i % 256 * 256 + i / 256];
    e->info.planes = 4;
    if (most_products >= 0) {
        nc_axx__choose(e, rest, 0, m, most, &best);
        if (e->info.largest < NC_AXX__SPLIT_MOST) nc_axx__choose(e, rest, 1, m, most, &best);
        if (e->info.planes) nc_axx__fill(e, rest);
        if (!nc_axx__proven(e)) { /* never: then the table itself */
            e->info.planes = 4;
            e->info.products = e->info.classes = 0;
        }
    }
    nc_axx__describe(&e->info);
    nc__free(NULL, rest, 0);
    *engine = e;
    return NC_OK;
}

NC_API nc_status nc_axx_engine_create(nc_axx_engine **engine, const nc_axx_mult *m) {
    return nc_axx_engine_create_with(engine, m, NC_AXX__TERMS);
}

/* Whether a table of operands of 16 bits is a product of two factors, each of one operand alone, as
 * exact and segmented multipliers are; that of 1 is 1. The factors are kept. */
static int nc_axx__find_factors(nc_axx_engine *e) {
    const size_t firsts = (size_t)1 << e->bits[0], seconds = (size_t)1 << e->bits[1];
    const int32_t *one = e->wide + seconds; /* the row of 1 */
    int16_t *u = e->factors, *v = u + firsts;
    size_t i, k;
    if (one[1] != 1) return 0;
    for (i = 0; i < firsts; i++) {
        const int32_t factor = e->wide[(i << e->bits[1]) + 1];
        if (factor < INT16_MIN || factor > INT16_MAX) return 0;
        u[i] = (int16_t)factor;
    }
    for (k = 0; k < seconds; k++) {
        if (one[k] < INT16_MIN || one[k] > INT16_MAX) return 0;
        v[k] = (int16_t)one[k];
    }
    for (i = 0; i < firsts; i++)
        for (k = 0; k < seconds; k++)
            if (e->wide[(i << e->bits[1]) + k] != u[i] * v[k]) return 0;
    return 1;
}

NC_API nc_status nc_axx_engine_create_wide(nc_axx_engine **engine, const nc_axx_wide *wide) {
    nc_axx__shape shape;
    nc_axx_engine *e;
    uint32_t entries, i;
    if (!engine) return NC_ERR_ARG;
    *engine = NULL;
    if (!wide) return NC_ERR_ARG;
    shape = nc_axx__wide_shape(wide);
    entries = nc_axx__entries(&shape);
    e = (nc_axx_engine *)nc__calloc(NULL, sizeof *e);
    if (e) e->wide = (int32_t *)nc__alloc(NULL, nc__mul_size(entries, sizeof *e->wide));
    if (e)
        e->factors = (int16_t *)nc__alloc(
            NULL,
            (((size_t)1 << shape.bits[0]) + ((size_t)1 << shape.bits[1])) * sizeof *e->factors);
    if (!e || !e->wide || !e->factors) {
        nc_axx_engine_destroy(e);
        return NC_ERR_MEMORY;
    }
    for (i = 0; i < entries; i++) {
        const int32_t v = wide->table[i];
        e->wide[i ^ nc_axx__byte_order(&shape)] = v;
        if (v == INT32_MIN || nc_axx__abs(v) > e->info.largest)
            e->info.largest = v == INT32_MIN ? INT32_MAX : nc_axx__abs(v);
    }
    e->a_unsigned = wide->a_unsigned;
    e->b_unsigned = wide->b_unsigned;
    memcpy(e->bits, shape.bits, sizeof e->bits);
    memcpy(e->info.name, wide->name, sizeof e->info.name);
    e->info.relative_power = wide->relative_power;
    e->info.planes = 4;
    if (!nc_axx__find_factors(e)) {
        nc__free(NULL, e->factors, 0);
        e->factors = NULL;
    }
    (void)snprintf(e->info.text, sizeof e->info.text, "%s of %u x %u bits",
                   e->factors ? "product" : "table", (unsigned)wide->a_bits,
                   (unsigned)wide->b_bits);
    *engine = e;
    return NC_OK;
}

NC_API void nc_axx_engine_destroy(nc_axx_engine *engine) {
    if (!engine) return;
    nc__free(NULL, engine->wide, 0);
    nc__free(NULL, engine->factors, 0);
    nc__free(NULL, engine, 0);
}

NC_API void nc_axx_engine_describe(const nc_axx_engine *engine, nc_axx_engine_info *info) {
    *info = engine->info;
}

/* -- pieces of the caller's work memory -- */

/* Pieces are taken one after the other, each from a multiple of 64 bytes on. With null memory they
 * are only counted: a lay-out runs once for the size and once for the pieces. */
typedef struct nc_axx__arena {
    uint8_t *at;
    size_t used;
} nc_axx__arena;

static nc_axx__arena nc_axx__arena_of(void *work) {
    nc_axx__arena arena;
    arena.at = work ? (uint8_t *)work + (64 - (uintptr_t)work % 64) % 64 : NULL;
    arena.used = 0;
    return arena;
}

static void *nc_axx__piece(nc_axx__arena *arena, size_t count, size_t size) {
    void *piece = arena->at ? arena->at + arena->used : NULL;
    const size_t bytes = nc__add_size(nc__mul_size(count, size), 63) & ~(size_t)63;
    arena->used = nc__add_size(arena->used, bytes);
    return piece;
}

/* Of all pieces, and of the alignment that the caller's memory may lack; beyond any memory's size
 * where they overflow. */
static size_t nc_axx__arena_bytes(const nc_axx__arena *arena) {
    return nc__add_size(arena->used, 64);
}

static size_t nc_axx__larger(size_t a, size_t b) { return a > b ? a : b; }

/* Two lay-outs that are never needed at the same time share their memory. */
static size_t nc_axx__shared_bytes(const nc_axx__arena *one, const nc_axx__arena *other) {
    return nc_axx__arena_bytes(one->used > other->used ? one : other);
}

/* Whether the work memory holds this. */
static int nc_axx__fits(const void *work, size_t work_bytes, size_t needed) {
    return work && needed < SIZE_MAX && work_bytes >= needed;
}

/* -- the definition, row by row -- */

static void nc_axx__rows_by_table(const nc_axx_engine *e, const uint8_t *x, const uint8_t *w,
                                  int32_t *sums, size_t rows, size_t n, size_t k) {
    size_t r, o, i;
    for (r = 0; r < rows; r++)
        for (o = 0; o < n; o++) {
            const uint8_t *a = x + r * k, *b = w + o * k;
            int32_t sum = 0;
            for (i = 0; i < k; i++) sum += e->table[(size_t)a[i] * 256 + b[i]];
            sums[r * n + o] = sum;
        }
}

#ifdef NC_AXX__X86
/* The same with AVX2, eight entries at a time. */
__attribute__((target("avx2"))) static void
nc_axx__rows_by_gather(const nc_axx_engine *e, const uint8_t *x, const uint8_t *w, int32_t *sums,
                       size_t rows, size_t n, size_t k) {
    size_t r, o, i;
    for (r = 0; r < rows; r++)
        for (o = 0; o < n; o++) {
            const uint8_t *a = x + r * k, *b = w + o * k;
            __m256i lanes = _mm256_setzero_si256();
            __m128i four;
            int32_t sum;
            for (i = 0; i + 8 <= k; i += 8) {
                const __m256i row =
                    _mm256_cvtepu8_epi32(_mm_loadl_epi64((const __m128i *)(const void *)(a + i)));
                const __m256i column =
                    _mm256_cvtepu8_epi32(_mm_loadl_epi64((const __m128i *)(const void *)(b + i)));
                lanes = _mm256_add_epi32(
                    lanes, _mm256_i32gather_epi32(
                               e->table, _mm256_or_si256(_mm256_slli_epi32(row, 8), column), 4));
            }
            four = _mm_add_epi32(_mm256_castsi256_si128(lanes), _mm256_extracti128_si256(lanes, 1));
            four = _mm_add_epi32(four, _mm_shuffle_epi32(four, 0x4E));
            four = _mm_add_epi32(four, _mm_shuffle_epi32(four, 0xB1));
            sum = _mm_cvtsi128_si32(four);
            for (; i < k; i++) sum += e->table[(size_t)a[i] * 256 + b[i]];
            sums[r * n + o] = sum;
        }
}

#endif

/* -- AVX2 and NEON: operations that both have; what stands on them is written once -- */

#if defined(NC_AXX__X86) || defined(NC__NEON)
#define NC_AXX__VECTORS 1

/* Work memory of the products and look-ups. */
typedef struct nc_axx__parts {
    uint8_t *mapped; /* m rows */
    int8_t *packed;  /* n columns, or their classes */
    int32_t *row_sums, *column_sums;
    uint8_t *slots; /* tables and sums of look-ups, one a thread */
    size_t slot_count, slot_bytes;
} nc_axx__parts;

/* What a term adds to every sum. */
typedef struct nc_axx__term_sums {
    const int32_t *row_sums, *column_sums; /* of u and v; null where their offset is 0 */
    int32_t constant;                      /* k times both offsets */
} nc_axx__term_sums;

#ifdef NC_AXX__X86
#define NC_AXX__TARGET NC__NOINLINE __attribute__((target("avx2")))
#define NC_AXX__INLINE_V                                                                           \
    static inline __attribute__((always_inline, unused)) __attribute__((target("avx2")))
#else
#define NC_AXX__TARGET NC__NOINLINE
#if defined(__clang__)
#define NC_AXX__TARGET_DOTS NC__NOINLINE __attribute__((target("dotprod")))
#else
#define NC_AXX__TARGET_DOTS NC__NOINLINE __attribute__((target("arch=armv8.2-a+dotprod")))
#endif
#define NC_AXX__INLINE_V static inline __attribute__((always_inline, unused))
#endif

#ifdef NC_AXX__X86
/* Products: 16-bit operands in pairs along k. */
typedef int16_t nc_axx__item;
typedef __m256i nc_axx__vector;
typedef __m256i nc_axx__lanes;

NC_AXX__INLINE_V nc_axx__vector nc_axx__v_load(const void *from) {
    return _mm256_loadu_si256((const __m256i *)from);
}
NC_AXX__INLINE_V void nc_axx__v_store(void *to, nc_axx__vector v) {
    _mm256_storeu_si256((__m256i *)to, v);
}
NC_AXX__INLINE_V nc_axx__lanes nc_axx__zero_sum(void) { return _mm256_setzero_si256(); }
/* sum += the products of every lane's items with a row's group. Only -32768^2 twice passes 31 bits,
 * and it is right modulo 2^32. */
NC_AXX__INLINE_V nc_axx__lanes nc_axx__v_dot(nc_axx__lanes sum, const uint8_t *group,
                                             nc_axx__vector b) {
    int32_t four;
    memcpy(&four, group, 4);
    return _mm256_add_epi32(sum, _mm256_madd_epi16(_mm256_set1_epi32(four), b));
}
NC_AXX__INLINE_V void nc_axx__store_sum(int32_t *to, nc_axx__lanes sum) {
    nc_axx__v_store(to, sum);
}

/* Look-ups: 16-bit words. 16 bytes at `at` of row 0 and of row 8. */
NC_AXX__INLINE_V nc_axx__vector nc_axx__v_rows_at(const uint8_t *const *row, size_t at) {
    return _mm256_inserti128_si256(
        _mm256_castsi128_si256(_mm_loadu_si128((const __m128i *)(const void *)(row[0] + at))),
        _mm_loadu_si128((const __m128i *)(const void *)(row[8] + at)), 1);
}
NC_AXX__INLINE_V nc_axx__vector nc_axx__v_add(nc_axx__vector a, nc_axx__vector b) {
    return _mm256_add_epi16(a, b);
}
NC_AXX__INLINE_V nc_axx__vector nc_axx__v_high(nc_axx__vector a) { return _mm256_srli_epi16(a, 8); }
NC_AXX__INLINE_V nc_axx__vector nc_axx__v_low(nc_axx__vector all, nc_axx__vector high) {
    return _mm256_sub_epi16(all, _mm256_slli_epi16(high, 8));
}
/* The low or high half of the bytes or words of every 16 bytes of two vectors, in turn. */
NC_AXX__INLINE_V nc_axx__vector nc_axx__v_zip8(nc_axx__vector a, nc_axx__vector b, int high) {
    return high ? _mm256_unpackhi_epi8(a, b) : _mm256_unpacklo_epi8(a, b);
}
NC_AXX__INLINE_V nc_axx__vector nc_axx__v_zip16(nc_axx__vector a, nc_axx__vector b, int high) {
    return high ? _mm256_unpackhi_epi16(a, b) : _mm256_unpacklo_epi16(a, b);
}
#else
/* Products: signed bytes in fours along k. */
typedef int8_t nc_axx__item;
typedef uint8x16_t nc_axx__vector;
typedef struct nc_axx__lanes {
    int32x4_t low, high; /* two parts of each of four sums */
} nc_axx__lanes;

NC_AXX__INLINE_V nc_axx__vector nc_axx__v_load(const void *from) {
    return vld1q_u8((const uint8_t *)from);
}
NC_AXX__INLINE_V void nc_axx__v_store(void *to, nc_axx__vector v) { vst1q_u8((uint8_t *)to, v); }
NC_AXX__INLINE_V nc_axx__lanes nc_axx__zero_sum(void) {
    nc_axx__lanes sum;
    sum.low = sum.high = vdupq_n_s32(0);
    return sum;
}
/* sum += the products of bytes with a row's group: 16 bits each, 16384 at most, added in pairs. */
NC_AXX__INLINE_V nc_axx__lanes nc_axx__v_dot(nc_axx__lanes sum, const uint8_t *group,
                                             nc_axx__vector b) {
    const int8x16_t y = vreinterpretq_s8_u8(b);
    int8x16_t x;
    uint32_t four;
    memcpy(&four, group, 4);
    x = vreinterpretq_s8_u32(vdupq_n_u32(four));
    sum.low = vpadalq_s16(sum.low, vmull_s8(vget_low_s8(x), vget_low_s8(y)));
    sum.high = vpadalq_s16(sum.high, vmull_high_s8(x, y));
    return sum;
}
NC_AXX__INLINE_V void nc_axx__store_sum(int32_t *to, nc_axx__lanes sum) {
    vst1q_s32(to, vpaddq_s32(sum.low, sum.high));
}

/* Look-ups: 16-bit words. */
NC_AXX__INLINE_V nc_axx__vector nc_axx__v_rows_at(const uint8_t *const *row, size_t at) {
    return vld1q_u8(row[0] + at);
}
NC_AXX__INLINE_V nc_axx__vector nc_axx__v_add(nc_axx__vector a, nc_axx__vector b) {
    return vreinterpretq_u8_u16(vaddq_u16(vreinterpretq_u16_u8(a), vreinterpretq_u16_u8(b)));
}
NC_AXX__INLINE_V nc_axx__vector nc_axx__v_high(nc_axx__vector a) {
    return vreinterpretq_u8_u16(vshrq_n_u16(vreinterpretq_u16_u8(a), 8));
}
NC_AXX__INLINE_V nc_axx__vector nc_axx__v_low(nc_axx__vector all, nc_axx__vector high) {
    return vreinterpretq_u8_u16(
        vsubq_u16(vreinterpretq_u16_u8(all), vshlq_n_u16(vreinterpretq_u16_u8(high), 8)));
}
NC_AXX__INLINE_V nc_axx__vector nc_axx__v_zip8(nc_axx__vector a, nc_axx__vector b, int high) {
    return high ? vzip2q_u8(a, b) : vzip1q_u8(a, b);
}
NC_AXX__INLINE_V nc_axx__vector nc_axx__v_zip16(nc_axx__vector a, nc_axx__vector b, int high) {
    const uint16x8_t x = vreinterpretq_u16_u8(a), y = vreinterpretq_u16_u8(b);
    return vreinterpretq_u8_u16(high ? vzip2q_u16(x, y) : vzip1q_u16(x, y));
}
#endif

enum {
    NC_AXX__V_BYTES = sizeof(nc_axx__vector),
    NC_AXX__V_WORDS = NC_AXX__V_BYTES / 2,              /* 16-bit words in a vector */
    NC_AXX__GROUP = 4 / sizeof(nc_axx__item),           /* items along k that one lane multiplies */
    NC_AXX__ALONG = sizeof(nc_axx__item) == 1 ? 16 : 2, /* k is padded to a multiple of it */
    NC_AXX__COLUMNS = NC_AXX__V_BYTES / 2,              /* of a tile: two vectors of lanes */
    NC_AXX__ROWS = 8,                                   /* of a tile, at most */
    NC_AXX__STEP = 4,     /* places along k whose tables are made together */
    NC_AXX__BLOCK = 1024, /* columns whose sums of look-ups are kept together */
    NC_AXX__SLOTS = 32    /* of work memory, for as many threads at most */
};

/* Sums and tables of look-ups, whichever operand has the rows; for any engine where it is null. */
static size_t nc_axx__slot_bytes(const nc_axx_engine *e, size_t columns) {
    const uint32_t a = e ? e->rest[0].classes : 256, b = e ? e->rest[1].classes : 256;
    const size_t kept =
        columns < NC_AXX__BLOCK ? (columns + 7) & ~(size_t)7 : (size_t)NC_AXX__BLOCK;
    return (kept * 2 + NC_AXX__STEP * (size_t)(((a > b ? a : b) + 15) & ~15u)) * NC_AXX__V_BYTES;
}

/* -- AVX2 and NEON: products -- */

/* A term's operands as items: f = x - x_offset. */
typedef struct nc_axx__maps {
    nc_axx__item x[256], w[256];
    int32_t x_offset, w_offset;
} nc_axx__maps;

static void nc_axx__make_maps(nc_axx__maps *maps, const nc_axx__term *t) {
    const int small = sizeof(nc_axx__item) == 1; /* else the offsets fit beside the values */
    int i;
    maps->x_offset = small ? t->u_offset - 128 : 0;
    maps->w_offset = small ? t->v_offset : 0;
    for (i = 0; i < 256; i++) {
        maps->x[i] = (nc_axx__item)(t->u[i] - t->u_offset + maps->x_offset);
        maps->w[i] = (nc_axx__item)(t->v[i] + t->v_offset - maps->w_offset);
    }
}

/* A row of k bytes as `groups` groups of items, zeros behind; returns the items' sum. */
static uint32_t nc_axx__map_row(nc_axx__item *out, const uint8_t *in, size_t k, size_t groups,
                                const nc_axx__item *map) {
    uint32_t sum = 0;
    size_t i;
    for (i = 0; i < k; i++) {
        const int32_t v = map[in[i]];
        out[i] = (nc_axx__item)v;
        sum += (uint32_t)v;
    }
    memset(out + k, 0, (groups * NC_AXX__GROUP - k) * sizeof *out);
    return sum;
}

/* One column (k bytes) into its block [group][column][items of a group], zeros behind; returns the
 * items' sum. */
static uint32_t nc_axx__pack_column(nc_axx__item *out, const uint8_t *in, size_t k, size_t groups,
                                    const nc_axx__item *map) {
    const size_t whole = k / NC_AXX__GROUP, step = (size_t)NC_AXX__COLUMNS * NC_AXX__GROUP;
    uint32_t sum = 0;
    size_t i, c;
    for (i = 0; i < whole; i++)
        for (c = 0; c < NC_AXX__GROUP; c++) {
            const int32_t v = map[in[i * NC_AXX__GROUP + c]];
            out[i * step + c] = (nc_axx__item)v;
            sum += (uint32_t)v;
        }
    for (; i < groups; i++)
        for (c = 0; c < NC_AXX__GROUP; c++) {
            const size_t at = i * NC_AXX__GROUP + c;
            const int32_t v = at < k ? map[in[at]] : 0;
            out[i * step + c] = (nc_axx__item)v;
            sum += (uint32_t)v;
        }
    return sum;
}

/* Four rows (beyond `rows` the last again) against the columns of a block. */
NC_AXX__TARGET static void nc_axx__tile_4(const uint8_t *x, size_t stride, size_t rows,
                                          const uint8_t *packed, size_t groups, int32_t *tile) {
    nc_axx__lanes sum[4][2];
    const uint8_t *row[4];
    size_t i;
    int r;
    NC_AXX__UNROLL(4)
    for (r = 0; r < 4; r++) {
        row[r] = x + ((size_t)r < rows ? (size_t)r : rows - 1) * stride;
        sum[r][0] = sum[r][1] = nc_axx__zero_sum();
    }
    for (i = 0; i < groups; i++) {
        const nc_axx__vector b0 = nc_axx__v_load(packed + i * 2 * NC_AXX__V_BYTES);
        const nc_axx__vector b1 = nc_axx__v_load(packed + (i * 2 + 1) * NC_AXX__V_BYTES);
        NC_AXX__UNROLL(4)
        for (r = 0; r < 4; r++) {
            sum[r][0] = nc_axx__v_dot(sum[r][0], row[r] + 4 * i, b0);
            sum[r][1] = nc_axx__v_dot(sum[r][1], row[r] + 4 * i, b1);
        }
    }
    NC_AXX__UNROLL(4)
    for (r = 0; r < 4; r++) {
        nc_axx__store_sum(tile + r * NC_AXX__COLUMNS, sum[r][0]);
        nc_axx__store_sum(tile + r * NC_AXX__COLUMNS + NC_AXX__COLUMNS / 2, sum[r][1]);
    }
}

#ifdef NC__NEON
/* Eight rows by dot products, four groups at a time. The instruction in words: clang 14 hides its
 * intrinsic. */
NC_AXX__TARGET_DOTS static void nc_axx__tile_8(const uint8_t *x, size_t stride, size_t rows,
                                               const uint8_t *packed, size_t groups,
                                               int32_t *tile) {
    int32x4_t sum[8][2];
    const uint8_t *row[8];
    size_t i;
    int r;
    NC_AXX__UNROLL(8)
    for (r = 0; r < 8; r++) {
        row[r] = x + ((size_t)r < rows ? (size_t)r : rows - 1) * stride;
        sum[r][0] = sum[r][1] = vdupq_n_s32(0);
    }
    for (i = 0; i < groups; i += 4, packed += 4 * 2 * NC_AXX__V_BYTES) {
        uint8x16_t a[8], b0, b1;
        NC_AXX__UNROLL(8)
        for (r = 0; r < 8; r++) a[r] = vld1q_u8(row[r] + 4 * i);
#define NC_AXX__SDOT(sum, b, a, g)                                                                 \
    __asm__("sdot %0.4s, %1.16b, %2.4b[" #g "]" : "+w"(sum) : "w"(b), "w"(a))
#define NC_AXX__SDOTS(g)                                                                           \
    b0 = vld1q_u8(packed + 2 * g * NC_AXX__V_BYTES);                                               \
    b1 = vld1q_u8(packed + (2 * g + 1) * NC_AXX__V_BYTES);                                         \
    NC_AXX__UNROLL(8)                                                                              \
    for (r = 0; r < 8; r++) {                                                                      \
        NC_AXX__SDOT(sum[r][0], b0, a[r], g);                                                      \
        NC_AXX__SDOT(sum[r][1], b1, a[r], g);                                                      \
    }
        NC_AXX__SDOTS(0)
        NC_AXX__SDOTS(1)
        NC_AXX__SDOTS(2)
        NC_AXX__SDOTS(3)
#undef NC_AXX__SDOTS
#undef NC_AXX__SDOT
    }
    NC_AXX__UNROLL(8)
    for (r = 0; r < 8; r++) {
        vst1q_s32(tile + r * NC_AXX__COLUMNS, sum[r][0]);
        vst1q_s32(tile + r * NC_AXX__COLUMNS + NC_AXX__COLUMNS / 2, sum[r][1]);
    }
}
#endif

static size_t nc_axx__tile(const uint8_t *x, size_t stride, size_t rows, const uint8_t *packed,
                           size_t groups, int32_t *tile) {
#ifdef NC__NEON
    if (nc_axx__level() >= 2) {
        if (rows) nc_axx__tile_8(x, stride, rows, packed, groups, tile);
        return 8;
    }
#endif
    if (rows) nc_axx__tile_4(x, stride, rows, packed, groups, tile);
    return 4;
}

/* The part of C that a tile holds. */
NC_AXX__TARGET static void nc_axx__add_tile(const nc_axx__maps *maps, uint32_t factor,
                                            const nc_axx__term_sums *s, const int32_t *tile,
                                            int32_t *sums, size_t row, size_t rows, size_t column,
                                            size_t n) {
    const size_t columns = n - column < NC_AXX__COLUMNS ? n - column : (size_t)NC_AXX__COLUMNS;
    uint32_t by_column[NC_AXX__COLUMNS];
    size_t r, c;
    for (c = 0; c < NC_AXX__COLUMNS; c++) by_column[c] = (uint32_t)s->constant;
    if (s->column_sums)
        for (c = 0; c < NC_AXX__COLUMNS; c++)
            by_column[c] += (uint32_t)maps->x_offset * (uint32_t)s->column_sums[column + c];
    for (r = 0; r < rows; r++, tile += NC_AXX__COLUMNS) {
        const uint32_t by_row =
            s->row_sums ? (uint32_t)maps->w_offset * (uint32_t)s->row_sums[row + r] : 0;
        int32_t *to = sums + (row + r) * n + column;
        uint32_t v[NC_AXX__COLUMNS];
        for (c = 0; c < NC_AXX__COLUMNS; c++)
            v[c] = factor * ((uint32_t)tile[c] + by_row - by_column[c]);
        if (columns == NC_AXX__COLUMNS)
            for (c = 0; c < NC_AXX__COLUMNS; c++) to[c] = (int32_t)((uint32_t)to[c] + v[c]);
        else
            for (c = 0; c < columns; c++) to[c] = (int32_t)((uint32_t)to[c] + v[c]);
    }
}

/* sums += the term's. */
static void nc_axx__add_term(const nc_axx__term *t, const nc_axx__parts *p, const uint8_t *x,
                             const uint8_t *w, int32_t *sums, size_t m, size_t n, size_t k) {
    const size_t groups = (k + NC_AXX__ALONG - 1) / NC_AXX__ALONG * NC_AXX__ALONG / NC_AXX__GROUP;
    const size_t stride = 4 * groups;
    const size_t blocks = (n + NC_AXX__COLUMNS - 1) / NC_AXX__COLUMNS, chunks = (m + 63) / 64;
    nc_axx__maps maps;
    nc_axx__term_sums s;
    ptrdiff_t i;
    nc_axx__make_maps(&maps, t);
    s.row_sums = maps.w_offset ? p->row_sums : NULL;
    s.column_sums = maps.x_offset ? p->column_sums : NULL;
    s.constant = (int32_t)((uint32_t)k * (uint32_t)maps.x_offset * (uint32_t)maps.w_offset);
#ifdef _OPENMP
#pragma omp parallel for schedule(static) if ((double)m * (double)n * (double)k > 1e6)
#endif
    for (i = 0; i < (ptrdiff_t)m; i++)
        p->row_sums[i] =
            (int32_t)nc_axx__map_row((nc_axx__item *)(void *)(p->mapped + (size_t)i * stride),
                                     x + (size_t)i * k, k, groups, maps.x);
#ifdef _OPENMP
#pragma omp parallel for schedule(static) if ((double)m * (double)n * (double)k > 1e6)
#endif
    for (i = 0; i < (ptrdiff_t)(blocks * NC_AXX__COLUMNS); i++) {
        const size_t column = (size_t)i % NC_AXX__COLUMNS;
        uint8_t *to = (uint8_t *)p->packed + (size_t)i / NC_AXX__COLUMNS * NC_AXX__COLUMNS * stride;
        const size_t from = (size_t)i < n ? (size_t)i : n - 1; /* beyond n the last again */
        p->column_sums[i] = (int32_t)nc_axx__pack_column((nc_axx__item *)(void *)(to + 4 * column),
                                                         w + from * k, k, groups, maps.w);
    }
#ifdef _OPENMP
#pragma omp parallel for schedule(static) if ((double)m * (double)n * (double)k > 1e6)
#endif
    for (i = 0; i < (ptrdiff_t)(blocks * chunks); i++) {
        const size_t block = (size_t)i / chunks, chunk = (size_t)i % chunks * 64;
        const size_t end = m - chunk < 64 ? m : chunk + 64;
        const size_t most = nc_axx__tile(NULL, 0, 0, NULL, 0, NULL);
        const uint8_t *packed = (const uint8_t *)p->packed + block * NC_AXX__COLUMNS * stride;
        size_t row;
        for (row = chunk; row < end; row += most) {
            int32_t tile[NC_AXX__ROWS * NC_AXX__COLUMNS];
            const size_t rows = end - row < most ? end - row : most;
            (void)nc_axx__tile(p->mapped + row * stride, stride, rows, packed, groups, tile);
            nc_axx__add_tile(&maps, (uint32_t)t->factor, &s, tile, sums, row, rows,
                             block * NC_AXX__COLUMNS, n);
        }
    }
}

/* -- AVX2 and NEON: look-ups. For one place of k and as many rows as a vector has words, the rows
 * of the rest that the first operands pick are turned: the vector of class c then has what a second
 * operand of that class gives with each of them, and one load looks up all. A word is 16 bits of
 * one row, or 8 bits of two. Their sums are kept as those of the words, modulo 2^16, and of the
 * high bytes: of at most 256 words both are known. -- */

/* Rows of eight words to their columns, in every 16 bytes. */
NC_AXX__INLINE_V void nc_axx__turn_words(nc_axx__vector *v) {
    nc_axx__vector t[8];
    int stage, i;
    NC_AXX__UNROLL(4)
    for (stage = 0; stage < 3; stage++) {
        NC_AXX__UNROLL(4)
        for (i = 0; i < 4; i++) {
            t[2 * i] = nc_axx__v_zip16(v[i], v[i + 4], 0);
            t[2 * i + 1] = nc_axx__v_zip16(v[i], v[i + 4], 1);
        }
        NC_AXX__UNROLL(8)
        for (i = 0; i < 8; i++) v[i] = t[i];
    }
}

/* The vectors of eight classes from c on, from rows of words. */
NC_AXX__INLINE_V void nc_axx__make_eight(uint8_t *table, nc_axx__vector *v, size_t c) {
    int i;
    nc_axx__turn_words(v);
    NC_AXX__UNROLL(8)
    for (i = 0; i < 8; i++) nc_axx__v_store(table + (c + (size_t)i) * NC_AXX__V_BYTES, v[i]);
}

NC_AXX__TARGET static void nc_axx__make_words(uint8_t *table, const uint8_t *const *row,
                                              size_t classes) {
    size_t c;
    for (c = 0; c < classes; c += 8) {
        nc_axx__vector v[8];
        int i;
        NC_AXX__UNROLL(8)
        for (i = 0; i < 8; i++) v[i] = nc_axx__v_rows_at(row + i, 2 * c);
        nc_axx__make_eight(table, v, c);
    }
}

/* From rows of low and of high bytes. */
NC_AXX__TARGET static void nc_axx__make_bytes(uint8_t *table, const uint8_t *const *low,
                                              const uint8_t *const *high, size_t classes) {
    size_t c;
    for (c = 0; c < classes; c += 16) {
        nc_axx__vector v[8], next[8];
        int i;
        NC_AXX__UNROLL(8)
        for (i = 0; i < 8; i++) {
            const nc_axx__vector l = nc_axx__v_rows_at(low + i, c);
            const nc_axx__vector h = nc_axx__v_rows_at(high + i, c);
            v[i] = nc_axx__v_zip8(l, h, 0);
            next[i] = nc_axx__v_zip8(l, h, 1);
        }
        nc_axx__make_eight(table, v, c);
        nc_axx__make_eight(table, next, c + 8);
    }
}

/* The columns' sums (two vectors each) += what four tables give; `joined` of the values that are
 * looked up fit into one word (or byte) together. */
NC_AXX__INLINE_V void nc_axx__look_body(const uint8_t *tables, size_t bytes,
                                        const uint16_t *offsets, size_t n, uint8_t *sums,
                                        size_t columns, int joined) {
    size_t c;
    for (c = 0; c < columns; c++, sums += 2 * NC_AXX__V_BYTES) {
        nc_axx__vector all = nc_axx__v_load(sums), high = nc_axx__v_load(sums + NC_AXX__V_BYTES),
                       v[4];
        int q;
        NC_AXX__UNROLL(4)
        for (q = 0; q < 4; q++)
            v[q] = nc_axx__v_load(tables + (size_t)q * bytes + offsets[(size_t)q * n + c]);
        if (joined >= 2) {
            v[0] = nc_axx__v_add(v[0], v[1]);
            v[1] = nc_axx__v_add(v[2], v[3]);
        }
        if (joined >= 4) v[0] = nc_axx__v_add(v[0], v[1]);
        NC_AXX__UNROLL(4)
        for (q = 0; q < 4 / joined; q++) {
            all = nc_axx__v_add(all, v[q]);
            high = nc_axx__v_add(high, nc_axx__v_high(v[q]));
        }
        nc_axx__v_store(sums, all);
        nc_axx__v_store(sums + NC_AXX__V_BYTES, high);
    }
}

NC_AXX__TARGET static void nc_axx__look_up(const uint8_t *tables, size_t bytes,
                                           const uint16_t *offsets, size_t n, uint8_t *sums,
                                           size_t columns, uint32_t joined) {
    if (joined == 4)
        nc_axx__look_body(tables, bytes, offsets, n, sums, columns, 4);
    else if (joined == 2)
        nc_axx__look_body(tables, bytes, offsets, n, sums, columns, 2);
    else
        nc_axx__look_body(tables, bytes, offsets, n, sums, columns, 1);
}

/* to += 2^shift from. */
NC_AXX__INLINE_V void nc_axx__add_words(int32_t *to, const uint16_t *from, size_t count,
                                        uint32_t shift) {
    size_t c;
    if (count == 8)
        for (c = 0; c < 8; c++) to[c] = (int32_t)((uint32_t)to[c] + ((uint32_t)from[c] << shift));
    else
        for (c = 0; c < count; c++)
            to[c] = (int32_t)((uint32_t)to[c] + ((uint32_t)from[c] << shift));
}

/* What a gemm looks up: rows against columns. */
typedef struct nc_axx__looking {
    const nc_axx_engine *e;
    const nc_axx__rest *rest;
    int turned;  /* the rows are w's, so C's columns */
    int words;   /* one row in a word, else two */
    size_t most; /* rows at a time */
    const uint8_t *row_bytes, *column_bytes;
    const uint16_t *offsets; /* [k][column], of its class's vector */
    int32_t *sums;
    size_t rows, columns, k;
} nc_axx__looking;

/* C += 2^shift times the columns' sums, from `row` and `column` on. */
NC_AXX__TARGET static void nc_axx__flush(const nc_axx__looking *l, const uint8_t *from, size_t row,
                                         size_t column, size_t columns, uint32_t shift) {
    const size_t rows = l->rows - row < l->most ? l->rows - row : l->most;
    size_t c, r;
    for (c = 0; c < columns; c += 8, from += 16 * NC_AXX__V_BYTES) {
        const size_t count = columns - c < 8 ? columns - c : 8;
        uint16_t low[8 * NC_AXX__V_WORDS], high[8 * NC_AXX__V_WORDS];
        nc_axx__vector v[8], h[8];
        int i;
        for (i = 0; i < 8; i++) {
            h[i] = nc_axx__v_load(from + (2 * i + 1) * NC_AXX__V_BYTES);
            v[i] = nc_axx__v_low(nc_axx__v_load(from + 2 * i * NC_AXX__V_BYTES), h[i]);
        }
        if (!l->turned) {
            nc_axx__turn_words(v);
            nc_axx__turn_words(h);
        }
        for (i = 0; i < 8; i++) {
            nc_axx__v_store(low + i * NC_AXX__V_WORDS, v[i]);
            nc_axx__v_store(high + i * NC_AXX__V_WORDS, h[i]);
        }
        for (r = 0; r < rows && r < NC_AXX__V_WORDS && !l->turned; r++) { /* 8 columns of a row */
            const size_t at = r % 8 * NC_AXX__V_WORDS + r / 8 * 8;
            const size_t other = l->words ? r : r + NC_AXX__V_WORDS;
            int32_t *to = l->sums + (row + r) * l->columns + column + c;
            nc_axx__add_words(to, low + at, count, shift);
            if (other < rows)
                nc_axx__add_words(to + (other - r) * l->columns, high + at, count,
                                  l->words ? shift + 8 : shift);
        }
        for (r = 0; r < rows && l->turned; r += 8) { /* 8 rows, which C has side by side */
            const size_t some = rows - r < 8 ? rows - r : 8, at = r % NC_AXX__V_WORDS;
            for (i = 0; i < (int)count; i++) {
                int32_t *to = l->sums + (column + c + (size_t)i) * l->rows + row + r;
                const size_t place = (size_t)i * NC_AXX__V_WORDS + at;
                nc_axx__add_words(to, (r == at ? low : high) + place, some, shift);
                if (l->words) nc_axx__add_words(to, high + place, some, shift + 8);
            }
        }
    }
}

/* The table for place i of the rows from `row` on (beyond the last the last again). */
static void nc_axx__make_table(const nc_axx__looking *l, uint32_t word, size_t row, size_t i,
                               uint8_t *table, size_t classes) {
    const uint8_t *from[2 * NC_AXX__V_WORDS];
    const size_t most = l->words ? NC_AXX__V_WORDS : 2 * NC_AXX__V_WORDS;
    size_t r;
    for (r = 0; r < most; r++) {
        const size_t at = row + r < l->rows ? row + r : l->rows - 1;
        const size_t cell = (size_t)l->row_bytes[at * l->k + i] * 256;
        from[r] = l->words ? (const uint8_t *)(l->rest->cells[word] + cell)
                           : (const uint8_t *)l->rest->cells + cell;
    }
    if (l->words)
        nc_axx__make_words(table, from, classes);
    else
        nc_axx__make_bytes(table, from, from + NC_AXX__V_WORDS, classes);
}

/* As many rows as a vector looks up against all columns. */
static void nc_axx__look_up_rows(const nc_axx__looking *l, uint32_t word, size_t row,
                                 uint8_t *slot) {
    const uint32_t joined = nc_axx__joined(l->e->info.planes, l->e->most);
    const size_t classes = (l->rest->classes + 15) & ~15u, bytes = classes * NC_AXX__V_BYTES;
    uint8_t *tables = slot, *all = slot + NC_AXX__STEP * bytes;
    size_t column, first, done, q;
    for (column = 0; column < l->columns; column += NC_AXX__BLOCK) {
        const size_t left = l->columns - column;
        const size_t columns = left < NC_AXX__BLOCK ? left : (size_t)NC_AXX__BLOCK;
        memset(all, 0, columns * 2 * NC_AXX__V_BYTES);
        for (first = 0, done = 0; first < l->k; first += NC_AXX__STEP) {
            for (q = 0; q < NC_AXX__STEP; q++)
                if (first + q < l->k)
                    nc_axx__make_table(l, word, row, first + q, tables + q * bytes, classes);
                else /* its classes are 0 */
                    memset(tables + q * bytes, 0, NC_AXX__V_BYTES);
            nc_axx__look_up(tables, bytes, l->offsets + first * l->columns + column, l->columns,
                            all, columns, joined);
            done += NC_AXX__STEP / joined;
            if (done == 256 || first + NC_AXX__STEP >= l->k) {
                nc_axx__flush(l, all, row, column, columns, 16 * word);
                memset(all, 0, columns * 2 * NC_AXX__V_BYTES);
                done = 0;
            }
        }
    }
}

/* The classes of columns first .. end - 1, as where the vectors of their tables stand. */
static void nc_axx__find_classes(const nc_axx__looking *l, uint16_t *offsets, size_t first,
                                 size_t end) {
    size_t i, c;
    for (i = 0; i < ((l->k + 3) & ~(size_t)3); i++)
        for (c = first; c < end; c++) {
            const uint32_t of = i < l->k ? l->rest->class_of[l->column_bytes[c * l->k + i]] : 0;
            offsets[i * l->columns + c] = (uint16_t)(of * NC_AXX__V_BYTES);
        }
}

/* sums += the rest that is looked up; `turned`: by tables of w's rows, not of x's. */
static void nc_axx__add_look_ups(const nc_axx_engine *e, const nc_axx__parts *p, const uint8_t *x,
                                 const uint8_t *w, int32_t *sums, size_t m, size_t n, size_t k,
                                 int turned) {
    uint16_t *offsets = (uint16_t *)(void *)(turned ? p->mapped : (uint8_t *)p->packed);
    const double work = (double)m * (double)n * (double)k;
    nc_axx__looking l;
    uint32_t word;
    ptrdiff_t i;
    (void)work; /* without OpenMP */
    l.e = e;
    l.rest = &e->rest[turned];
    l.turned = turned;
    l.words = e->info.planes >= 2;
    l.most = l.words ? NC_AXX__V_WORDS : 2 * NC_AXX__V_WORDS;
    l.row_bytes = turned ? w : x;
    l.column_bytes = turned ? x : w;
    l.offsets = offsets;
    l.sums = sums;
    l.rows = turned ? n : m;
    l.columns = turned ? m : n;
    l.k = k;
#ifdef _OPENMP
#pragma omp parallel for schedule(static) if (work > 1e6)
#endif
    for (i = 0; i < (ptrdiff_t)((l.columns + 15) / 16); i++) {
        const size_t first = (size_t)i * 16;
        nc_axx__find_classes(&l, offsets, first, l.columns - first < 16 ? l.columns : first + 16);
    }
    for (word = 0; 2 * word < e->info.planes; word++) {
#ifdef _OPENMP
#pragma omp parallel for schedule(static) if (work > 1e6)
#endif
        for (i = 0; i < (ptrdiff_t)p->slot_count; i++) {
            uint8_t *slot = p->slots + (size_t)i * p->slot_bytes;
            size_t row;
            for (row = (size_t)i * l.most; row < l.rows; row += p->slot_count * l.most)
                nc_axx__look_up_rows(&l, word, row, slot);
        }
    }
}
#endif

#ifdef NC_AXX__X86
/* -- AVX-512: products -- */

/* out[i] = table[in[i]]. */
NC_AXX__TARGET512 static void nc_axx__map512(uint8_t *out, const uint8_t *in, size_t n,
                                             const void *table) {
    const uint8_t *t = (const uint8_t *)table;
    const __m512i t0 = _mm512_loadu_si512(t), t1 = _mm512_loadu_si512(t + 64);
    const __m512i t2 = _mm512_loadu_si512(t + 128), t3 = _mm512_loadu_si512(t + 192);
    size_t i;
    for (i = 0; i < n; i += 64) {
        const __mmask64 there = n - i < 64 ? (UINT64_C(1) << (n - i)) - 1 : ~UINT64_C(0);
        const __m512i v = _mm512_maskz_loadu_epi8(there, in + i);
        _mm512_mask_storeu_epi8(out + i, there,
                                _mm512_mask_blend_epi8(_mm512_movepi8_mask(v),
                                                       _mm512_permutex2var_epi8(t0, v, t1),
                                                       _mm512_permutex2var_epi8(t2, v, t3)));
    }
}

/* Sums of rows of bytes, unsigned. */
static void nc_axx__byte_sums(int32_t *sums, const uint8_t *x, size_t rows, size_t k,
                              size_t stride) {
    size_t r, i;
    for (r = 0; r < rows; r++) {
        uint32_t sum = 0; /* modulo 2^32, as all sums of the terms */
        for (i = 0; i < k; i++) sum += x[r * stride + i];
        sums[r] = (int32_t)sum;
    }
}

#if !defined(__clang__)
#pragma GCC diagnostic push /* gcc 12: a conversion inside its own _mm512_i32gather_epi32 */
#pragma GCC diagnostic ignored "-Wsign-conversion"
#endif
/* w (n x k) mapped by v into blocks of 64 columns: [block][k / 4][column][4 of k], zeros beyond n
 * and k; column_sums (of v, the padding counts 0) may be null. */
NC_AXX__TARGET512 static void nc_axx__pack512(int8_t *packed, int32_t *column_sums,
                                              const uint8_t *w, size_t n, size_t k,
                                              const int8_t *v) {
    const uint8_t *t = (const uint8_t *)v;
    const __m512i t0 = _mm512_loadu_si512(t), t1 = _mm512_loadu_si512(t + 64);
    const __m512i t2 = _mm512_loadu_si512(t + 128), t3 = _mm512_loadu_si512(t + 192);
    const __m512i ones = _mm512_set1_epi8(1);
    const size_t k4 = (k + 3) / 4;
    size_t block, g, c, i;
    for (block = 0; block * 64 < n; block++)
        for (g = 0; g < 4; g++) {
            const size_t first = block * 64 + g * 16;
            const size_t count = first >= n ? 0 : n - first < 16 ? n - first : 16;
            const __m512i lanes =
                _mm512_set_epi32(15, 14, 13, 12, 11, 10, 9, 8, 7, 6, 5, 4, 3, 2, 1, 0);
            const __m512i rows = _mm512_mullo_epi32(
                _mm512_min_epi32(lanes, _mm512_set1_epi32(count ? (int)count - 1 : 0)),
                _mm512_set1_epi32((int)k)); /* those that are not there repeat the last */
            __m512i sum = _mm512_setzero_si512();
            for (i = 0; i < k4; i++) {
                const size_t left = k - 4 * i;
                __mmask64 bytes =
                    UINT64_C(0x1111111111111111) * (left >= 4 ? 15u : (1u << left) - 1u);
                __m512i u;
                if (count < 16) bytes &= (UINT64_C(1) << (4 * count)) - 1;
                if (left >= 4 && count) {
                    u = _mm512_i32gather_epi32(rows, w + first * k + 4 * i, 1);
                } else { /* nothing is read behind the last row */
                    uint8_t some[64];
                    memset(some, 0, sizeof some);
                    for (c = 0; c < count; c++)
                        memcpy(some + 4 * c, w + (first + c) * k + 4 * i, left < 4 ? left : 4);
                    u = _mm512_loadu_si512(some);
                }
                u = _mm512_mask_blend_epi8(_mm512_movepi8_mask(u),
                                           _mm512_permutex2var_epi8(t0, u, t1),
                                           _mm512_permutex2var_epi8(t2, u, t3));
                u = _mm512_maskz_mov_epi8(bytes, u);
                sum = _mm512_dpbusd_epi32(sum, ones, u);
                _mm512_storeu_si512(packed + ((block * k4 + i) * 64 + g * 16) * 4, u);
            }
            if (column_sums) _mm512_storeu_si512(column_sums + first, sum);
        }
}

#if !defined(__clang__)
#pragma GCC diagnostic pop
#endif

/* Six rows (fewer repeat the last) against 16 `vectors` columns of a block. */
NC_AXX__INLINE512 void nc_axx__block512(const uint8_t *x, size_t stride, size_t rows,
                                        const int8_t *packed, size_t k4, int vectors,
                                        int32_t *tile) {
    __m512i sum[6][4];
    const uint8_t *row[6];
    size_t i;
    int r, v;
    NC_AXX__UNROLL(6)
    for (r = 0; r < 6; r++) {
        row[r] = x + ((size_t)r < rows ? (size_t)r : rows - 1) * stride;
        NC_AXX__UNROLL(4)
        for (v = 0; v < 4; v++) sum[r][v] = _mm512_setzero_si512();
    }
    for (i = 0; i < k4; i++) {
        __m512i b[4];
        NC_AXX__UNROLL(4)
        for (v = 0; v < vectors; v++)
            b[v] = _mm512_loadu_si512(packed + (i * 64 + (size_t)v * 16) * 4);
        NC_AXX__UNROLL(6)
        for (r = 0; r < 6; r++) {
            int32_t four;
            __m512i a;
            memcpy(&four, row[r] + 4 * i, 4);
            a = _mm512_set1_epi32(four);
            NC_AXX__UNROLL(4)
            for (v = 0; v < vectors; v++) sum[r][v] = _mm512_dpbusd_epi32(sum[r][v], a, b[v]);
        }
    }
    NC_AXX__UNROLL(6)
    for (r = 0; r < 6; r++) {
        NC_AXX__UNROLL(4)
        for (v = 0; v < vectors; v++) _mm512_storeu_si512(tile + r * 64 + v * 16, sum[r][v]);
    }
}

NC_AXX__TARGET512 static void nc_axx__block512_4(const uint8_t *x, size_t stride, size_t rows,
                                                 const int8_t *packed, size_t k4, int32_t *tile) {
    nc_axx__block512(x, stride, rows, packed, k4, 4, tile);
}

NC_AXX__TARGET512 static void nc_axx__block512_1(const uint8_t *x, size_t stride, size_t rows,
                                                 const int8_t *packed, size_t k4, int32_t *tile) {
    nc_axx__block512(x, stride, rows, packed, k4, 1, tile);
}

/* The part of C that six rows and a block of 64 columns hold, from their tile. */
NC_AXX__TARGET512 static void nc_axx__add_tile512(const nc_axx__term *t, const nc_axx__term_sums *s,
                                                  const int32_t *tile, int32_t *sums, size_t row,
                                                  size_t rows, size_t column, size_t n) {
    const size_t columns = n - column < 64 ? n - column : 64;
    const __m512i factor = _mm512_set1_epi32(t->factor), of = _mm512_set1_epi32(t->u_offset);
    size_t r, c;
    for (r = 0; r < rows; r++) {
        const uint32_t base =
            (s->row_sums ? (uint32_t)t->v_offset * (uint32_t)s->row_sums[row + r] : 0) -
            (uint32_t)s->constant;
        for (c = 0; c < columns; c += 16) {
            const __mmask16 there =
                (__mmask16)(columns - c < 16 ? (1u << (columns - c)) - 1 : 0xFFFF);
            int32_t *to = sums + (row + r) * n + column + c;
            __m512i v = _mm512_add_epi32(_mm512_loadu_si512(tile + r * 64 + c),
                                         _mm512_set1_epi32((int32_t)base));
            if (s->column_sums)
                v = _mm512_sub_epi32(
                    v, _mm512_mullo_epi32(of, _mm512_loadu_si512(s->column_sums + column + c)));
            v = _mm512_mullo_epi32(v, factor);
            _mm512_mask_storeu_epi32(to, there,
                                     _mm512_add_epi32(v, _mm512_maskz_loadu_epi32(there, to)));
        }
    }
}

/* -- AVX-512: look-ups. 64 columns share the row of the table that the first operand picks; bytes
 * of even and odd places are summed as 16-bit words, at most 256 at a time. -- */

/* Classes of w (n x k, n up to 64) as [k][64]: byte 2 j is column j, byte 2 j + 1 column 32 + j;
 * zeros beyond n. */
static void nc_axx__pack_classes(const nc_axx_engine *e, uint8_t *packed, const uint8_t *w,
                                 size_t n, size_t k) {
    const uint8_t *class_of = e->rest[0].class_of;
    size_t c, i;
    for (c = 0; c < 64; c++) {
        uint8_t *out = packed + c % 32 * 2 + c / 32;
        for (i = 0; i < k; i++) out[i * 64] = c < n ? class_of[w[c * k + i]] : 0;
    }
}

/* sums (64 a vector) += 2^shift times the bytes that `all` sums as words and `high` as their odd
 * ones. */
NC_AXX__TARGET512 static void nc_axx__flush512(int32_t *sums, const __m512i *all,
                                               const __m512i *high, int vectors, int shift) {
    int v, h, half;
    for (v = 0; v < vectors; v++, all++, high++) {
        const __m512i words[2] = {_mm512_sub_epi16(*all, _mm512_slli_epi16(*high, 8)), *high};
        for (h = 0; h < 2; h++)
            for (half = 0; half < 2; half++) {
                const __m256i part = half ? _mm512_extracti64x4_epi64(words[h], 1)
                                          : _mm512_castsi512_si256(words[h]);
                int32_t *to = sums + v * 64 + h * 32 + half * 16;
                const __m512i add =
                    _mm512_sll_epi32(_mm512_cvtepu16_epi32(part), _mm_cvtsi32_si128(shift));
                _mm512_storeu_si512(to, _mm512_add_epi32(add, _mm512_loadu_si512(to)));
            }
    }
}

/* What the columns of classes `at` look up in a row of one, two or four registers. */
NC_AXX__INLINE512 __m512i nc_axx__permute512(const __m512i *row, __m512i at, int parts) {
    __m512i t;
    if (parts == 1) return _mm512_permutexvar_epi8(at, row[0]);
    t = _mm512_permutex2var_epi8(row[0], at, row[1]);
    if (parts == 2) return t;
    return _mm512_mask_mov_epi8(t, _mm512_movepi8_mask(at),
                                _mm512_permutex2var_epi8(row[2], at, row[3]));
}

/* Rows of x against 64 `vectors` columns in one plane. */
typedef struct nc_axx__looking512 {
    const uint8_t *plane, *x[2], *classes;
    size_t k, joined; /* so many bytes are added before they are words */
    int shift;
} nc_axx__looking512;

/* sums [2][64 vectors] += look-ups of k places. parts: registers that a row of classes fills, 1, 2
 * or 4. joins: bytes are added before they are words. */
NC_AXX__INLINE512 void nc_axx__look_up512(const nc_axx__looking512 *l, int parts, int vectors,
                                          int joins, int32_t *sums) {
    const uint8_t *classes = l->classes, *plane = l->plane, *x0 = l->x[0], *x1 = l->x[1];
    const size_t k = l->k, joined = l->joined;
    size_t first, i;
    int v, q;
    for (first = 0; first < k; first += 256) {
        const size_t last = k - first < 256 ? k : first + 256;
        __m512i all[8], high[8]; /* [row][vector] */
        NC_AXX__UNROLL(8)
        for (v = 0; v < 2 * vectors; v++) all[v] = high[v] = _mm512_setzero_si512();
        for (i = first; i < last;) {
            const size_t end = last - i < joined ? last : i + joined;
            __m512i row[2][4], t[8];
            NC_AXX__UNROLL(8)
            for (v = 0; v < 2 * vectors; v++) t[v] = _mm512_setzero_si512();
            do {
                NC_AXX__UNROLL(4)
                for (q = 0; q < parts; q++) {
                    row[0][q] = _mm512_loadu_si512(plane + (size_t)x0[i] * 256 + q * 64);
                    row[1][q] = _mm512_loadu_si512(plane + (size_t)x1[i] * 256 + q * 64);
                }
                NC_AXX__UNROLL(4)
                for (v = 0; v < vectors; v++) {
                    const __m512i at = _mm512_loadu_si512(classes + ((size_t)v * k + i) * 64);
                    t[v] = _mm512_add_epi16(t[v], nc_axx__permute512(row[0], at, parts));
                    t[vectors + v] =
                        _mm512_add_epi16(t[vectors + v], nc_axx__permute512(row[1], at, parts));
                    if (joins) continue;
                    all[v] = _mm512_add_epi16(all[v], t[v]);
                    high[v] = _mm512_add_epi16(high[v], _mm512_srli_epi16(t[v], 8));
                    q = vectors + v;
                    all[q] = _mm512_add_epi16(all[q], t[q]);
                    high[q] = _mm512_add_epi16(high[q], _mm512_srli_epi16(t[q], 8));
                }
                i++;
            } while (joins && i < end);
            if (!joins) continue;
            NC_AXX__UNROLL(8)
            for (v = 0; v < 2 * vectors; v++) {
                all[v] = _mm512_add_epi16(all[v], t[v]);
                high[v] = _mm512_add_epi16(high[v], _mm512_srli_epi16(t[v], 8));
            }
        }
        nc_axx__flush512(sums, all, high, 2 * vectors, l->shift);
    }
}

#define NC_AXX__LOOK_UP(parts, vectors, joins)                                                     \
    NC_AXX__TARGET512 static void nc_axx__look_up512_##parts##vectors##joins(                      \
        const nc_axx__looking512 *l, int32_t *sums) {                                              \
        nc_axx__look_up512(l, parts, vectors, joins, sums);                                        \
    }
NC_AXX__LOOK_UP(1, 4, 1)
NC_AXX__LOOK_UP(1, 1, 0)
NC_AXX__LOOK_UP(1, 4, 0)
NC_AXX__LOOK_UP(2, 1, 0)
NC_AXX__LOOK_UP(2, 4, 0)
NC_AXX__LOOK_UP(4, 1, 0)
NC_AXX__LOOK_UP(4, 4, 0)

typedef void (*nc_axx__look_up_fn)(const nc_axx__looking512 *l, int32_t *sums);

static nc_axx__look_up_fn nc_axx__pick_look_up(uint32_t classes, int four, size_t joined) {
    static const nc_axx__look_up_fn fn[3][2] = {{nc_axx__look_up512_110, nc_axx__look_up512_140},
                                                {nc_axx__look_up512_210, nc_axx__look_up512_240},
                                                {nc_axx__look_up512_410, nc_axx__look_up512_440}};
    if (classes <= 64 && four && joined > 1) return nc_axx__look_up512_141;
    return fn[classes <= 64 ? 0 : classes <= 128 ? 1 : 2][four];
}

/* -- AVX-512: the whole -- */

/* sums += the term's. */
static void nc_axx__add_term512(const nc_axx__term *t, const nc_axx__parts *p, const uint8_t *x,
                                const uint8_t *w, int32_t *sums, size_t m, size_t n, size_t k) {
    const size_t k4 = (k + 3) / 4, blocks = (n + 63) / 64, chunks = (m + 59) / 60;
    nc_axx__term_sums s;
    ptrdiff_t i;
    s.row_sums = t->v_offset ? p->row_sums : NULL;
    s.column_sums = t->u_offset ? p->column_sums : NULL;
    s.constant = (int32_t)((uint32_t)k * (uint32_t)t->u_offset * (uint32_t)t->v_offset);
#ifdef _OPENMP
#pragma omp parallel for schedule(static) if ((double)m * (double)n * (double)k > 1e6)
#endif
    for (i = 0; i < (ptrdiff_t)m; i++) {
        uint8_t *to = p->mapped + (size_t)i * 4 * k4;
        nc_axx__map512(to, x + (size_t)i * k, k, t->u);
        memset(to + k, 0, 4 * k4 - k);
    }
    if (s.row_sums) nc_axx__byte_sums(p->row_sums, p->mapped, m, k, 4 * k4);
#ifdef _OPENMP
#pragma omp parallel for schedule(static) if ((double)m * (double)n * (double)k > 1e6)
#endif
    for (i = 0; i < (ptrdiff_t)blocks; i++) {
        const size_t first = (size_t)i * 64;
        nc_axx__pack512(p->packed + first * 4 * k4, s.column_sums ? p->column_sums + first : NULL,
                        w + first * k, n - first < 64 ? n - first : 64, k, t->v);
    }
#ifdef _OPENMP
#pragma omp parallel for schedule(static) if ((double)m * (double)n * (double)k > 1e6)
#endif
    for (i = 0; i < (ptrdiff_t)(blocks * chunks); i++) {
        const size_t block = (size_t)i / chunks, chunk = (size_t)i % chunks, column = block * 64;
        const size_t end = m - chunk * 60 < 60 ? m : chunk * 60 + 60;
        const int8_t *packed = p->packed + column * 4 * k4;
        size_t row;
        for (row = chunk * 60; row < end; row += 6) {
            int32_t tile[6 * 64];
            const size_t rows = end - row < 6 ? end - row : 6;
            if (n - column <= 16)
                nc_axx__block512_1(p->mapped + row * 4 * k4, 4 * k4, rows, packed, k4, tile);
            else
                nc_axx__block512_4(p->mapped + row * 4 * k4, 4 * k4, rows, packed, k4, tile);
            nc_axx__add_tile512(t, &s, tile, sums, row, rows, column, n);
        }
    }
}

/* Two rows against `vectors` groups of 64 columns, n of them there. */
static void nc_axx__look_up_pair(const nc_axx_engine *e, const uint8_t *x, size_t rows,
                                 const uint8_t *classes, size_t k, int vectors, int32_t *sums,
                                 size_t stride, size_t n) {
    nc_axx__looking512 l;
    int32_t some[2 * 256];
    uint32_t p;
    size_t r, c;
    memset(some, 0, sizeof some);
    l.x[0] = x;
    l.x[1] = rows > 1 ? x + k : x;
    l.classes = classes;
    l.k = k;
    for (p = 0; p < e->info.planes; p++) {
        l.plane = e->plane[p];
        l.joined = p + 1 < e->info.planes ? 1 : 255 / (e->most >> (8 * p));
        l.shift = (int)(8 * p);
        nc_axx__pick_look_up(e->info.classes, vectors == 4, l.joined)(&l, some);
    }
    for (r = 0; r < rows; r++)
        for (c = 0; c < n; c++) { /* modulo 2^32: only the whole sum fits for sure */
            int32_t *to = &sums[r * stride + c];
            *to = (int32_t)((uint32_t)*to + (uint32_t)some[r * 64 * (size_t)vectors + c]);
        }
}

/* sums += the rest that is looked up. */
static void nc_axx__add_look_ups512(const nc_axx_engine *e, const nc_axx__parts *p,
                                    const uint8_t *x, const uint8_t *w, int32_t *sums, size_t m,
                                    size_t n, size_t k) {
    const size_t groups = (n + 63) / 64, fours = (groups + 3) / 4, pairs = (m + 1) / 2;
    uint8_t *classes = (uint8_t *)p->packed;
    ptrdiff_t i;
#ifdef _OPENMP
#pragma omp parallel for schedule(static) if ((double)m * (double)n * (double)k > 1e6)
#endif
    for (i = 0; i < (ptrdiff_t)groups; i++)
        nc_axx__pack_classes(e, classes + (size_t)i * 64 * k, w + (size_t)i * 64 * k,
                             n - (size_t)i * 64 < 64 ? n - (size_t)i * 64 : 64, k);
#ifdef _OPENMP
#pragma omp parallel for schedule(static) if ((double)m * (double)n * (double)k > 1e6)
#endif
    for (i = 0; i < (ptrdiff_t)(fours * pairs); i++) {
        const size_t first = (size_t)i / pairs * 4, row = (size_t)i % pairs * 2;
        const size_t end = groups - first < 4 ? groups : first + 4;
        const size_t step = end - first == 4 ? 4 : 1;
        size_t group;
        for (group = first; group < end; group += step) {
            const size_t column = group * 64, left = n - column;
            nc_axx__look_up_pair(e, x + row * k, m - row < 2 ? 1 : 2, classes + column * k, k,
                                 (int)step, sums + row * n + column, n,
                                 left < 64 * step ? left : 64 * step);
        }
    }
}
#endif

#ifdef NC_AXX__VECTORS
static size_t nc_axx__lay_out(const nc_axx_engine *e, size_t m, size_t n, size_t k, void *work,
                              nc_axx__parts *parts) {
    const size_t row = 2 * (k / 16 * 16 + 16), columns = nc__add_size(n, 63) & ~(size_t)63;
    const size_t slots = (m > n ? m : n) / NC_AXX__V_WORDS + 1;
    nc_axx__arena arena = nc_axx__arena_of(work);
    parts->slot_bytes = nc_axx__slot_bytes(e, m > n ? m : n);
    parts->slot_count = e && !e->info.classes   ? 0
                        : slots < NC_AXX__SLOTS ? slots
                                                : (size_t)NC_AXX__SLOTS;
    parts->mapped = (uint8_t *)nc_axx__piece(&arena, m, row);
    parts->packed = (int8_t *)nc_axx__piece(&arena, columns, row);
    parts->row_sums = (int32_t *)nc_axx__piece(&arena, m, 4);
    parts->column_sums = (int32_t *)nc_axx__piece(&arena, columns, 4);
    parts->slots = (uint8_t *)nc_axx__piece(&arena, parts->slot_count, parts->slot_bytes);
    return nc_axx__arena_bytes(&arena);
}

/* How a gemm is done, by what its ways take for one place of k, in cycles or thereabouts. */
enum { NC_AXX__BY_TABLE, NC_AXX__BY_VECTORS, NC_AXX__BY_AVX512 };

typedef struct nc_axx__way {
    int terms, look_ups; /* of the above; the table does both or none */
    int turned;
} nc_axx__way;

static double nc_axx__look_up_cost(const nc_axx_engine *e, size_t rows, size_t columns,
                                   uint32_t classes) {
    const size_t most = e->info.planes >= 2 ? NC_AXX__V_WORDS : 2 * NC_AXX__V_WORDS;
    const size_t groups = (rows + most - 1) / most * (e->info.planes == 4 ? 2 : 1);
    const size_t blocks = (columns + NC_AXX__BLOCK - 1) / NC_AXX__BLOCK;
    const double tables = (double)blocks * (2.0 * classes + 60.0);
    return (double)groups * (1.2 * (double)columns + tables) + 1.1 * (double)columns;
}

static nc_axx__way nc_axx__way_of(const nc_axx_engine *e, size_t m, size_t n, size_t k) {
    const double products = (double)m * (double)n, both = (double)(m + n);
    const double terms = e->info.products * (products / 28 + 1.2 * both);
    const double by_x = nc_axx__look_up_cost(e, m, n, e->rest[0].classes);
    const double by_w = nc_axx__look_up_cost(e, n, m, e->rest[1].classes);
    const double look_ups = e->info.planes ? by_x < by_w ? by_x : by_w : 0;
    nc_axx__way way;
    way.terms = way.look_ups = NC_AXX__BY_TABLE;
    way.turned = by_w < by_x;
    if (nc_axx__level() < 1 || (e->info.planes && !e->info.classes) || n >= SIZE_MAX / 64 ||
        k >= (size_t)1 << 26)
        return way;
#ifdef NC_AXX__X86
    if (nc_axx__level() >= 2 && n >= 8 && e->info.planes < 4) {
        const double columns = (double)((n + 63) & ~(size_t)63), rows = (double)(m + m % 2);
        const double wide =
            columns * (rows * nc_axx__cost(0, e->info.planes, e->info.classes) / 64 +
                       (e->info.planes ? 1.7 : 0));
        const double all =
            e->info.products * columns * (rows / 64 + 0.4) + (wide < look_ups ? wide : look_ups);
        if (e->info.planes && all > 1.45 * products) return way;
        way.terms = NC_AXX__BY_AVX512;
        way.look_ups = wide < look_ups ? NC_AXX__BY_AVX512 : NC_AXX__BY_VECTORS;
        return way;
    }
#endif
    if (terms + look_ups < 1.45 * products) way.terms = way.look_ups = NC_AXX__BY_VECTORS;
    return way;
}

/* All that is a sum of the terms and of what is looked up. */
static void nc_axx__gemm_parts(const nc_axx_engine *e, const nc_axx__way *way, const uint8_t *x,
                               const uint8_t *w, int32_t *sums, size_t m, size_t n, size_t k,
                               void *work) {
    const int32_t start = (int32_t)((uint32_t)k * (uint32_t)e->rest_offset);
    nc_axx__parts p;
    size_t i;
    uint32_t r;
    (void)nc_axx__lay_out(e, m, n, k, work, &p);
    for (i = 0; i < m * n; i++) sums[i] = start;
    for (r = 0; r < e->info.products; r++) {
#ifdef NC_AXX__X86
        if (way->terms == NC_AXX__BY_AVX512) {
            nc_axx__add_term512(&e->terms[r], &p, x, w, sums, m, n, k);
            continue;
        }
#endif
        nc_axx__add_term(&e->terms[r], &p, x, w, sums, m, n, k);
    }
    if (!e->info.planes) return;
#ifdef NC_AXX__X86
    if (way->look_ups == NC_AXX__BY_AVX512) {
        nc_axx__add_look_ups512(e, &p, x, w, sums, m, n, k);
        return;
    }
#endif
    nc_axx__add_look_ups(e, &p, x, w, sums, m, n, k, way->turned);
}
#endif

/* -- operands of 16 bits -- */

static size_t nc_axx__operand_bytes(const nc_axx_engine *e) { return e && !e->wide ? 1 : 2; }

/* b (k x n, of so many bytes each) as n x k. */
static const void *nc_axx__turn(void *turned, const void *b, size_t n, size_t k, size_t bytes) {
    const uint16_t *words = (const uint16_t *)b;
    const uint8_t *octets = (const uint8_t *)b;
    uint16_t *to_words = (uint16_t *)turned;
    uint8_t *to = (uint8_t *)turned;
    size_t i, j;
    for (i = 0; i < k && bytes == 1; i++)
        for (j = 0; j < n; j++) to[j * k + i] = octets[i * n + j];
    for (i = 0; i < k && bytes == 2; i++)
        for (j = 0; j < n; j++) to_words[j * k + i] = words[i * n + j];
    return turned;
}

enum { NC_AXX__WIDE_COLUMNS = 256 };

/* A row of sums; w is k x n here. 0 when one does not fit 32 bits. */
static int nc_axx__wide_row(const nc_axx_engine *e, const uint16_t *x, const uint16_t *w,
                            int32_t *sums, size_t n, size_t k) {
    const uint32_t mask_a = (1u << e->bits[0]) - 1, mask_b = (1u << e->bits[1]) - 1;
    int fits = 1;
    size_t first, i, o;
    for (first = 0; first < n; first += NC_AXX__WIDE_COLUMNS) {
        const size_t columns =
            n - first < NC_AXX__WIDE_COLUMNS ? n - first : (size_t)NC_AXX__WIDE_COLUMNS;
        int64_t sum[NC_AXX__WIDE_COLUMNS] = {0};
        for (i = 0; i < k; i++) {
            const int32_t *row = e->wide + ((size_t)(x[i] & mask_a) << e->bits[1]);
            const uint16_t *at = w + i * n + first;
            for (o = 0; o < columns; o++) sum[o] += row[at[o] & mask_b];
        }
        for (o = 0; o < columns; o++) {
            fits &= sum[o] >= INT32_MIN && sum[o] <= INT32_MAX;
            sums[first + o] = (int32_t)sum[o];
        }
    }
    return fits;
}

/* Of operands their factors. */
static void nc_axx__factors(int16_t *to, const uint16_t *x, size_t n, const int16_t *of,
                            uint32_t bits) {
    const uint32_t mask = (1u << bits) - 1;
    size_t i;
    for (i = 0; i < n; i++) to[i] = of[x[i] & mask];
}

#ifdef NC_AXX__VECTORS
/* Sums of products of x with four rows of w, as far as 16 go; returns how many. */
NC_AXX__TARGET static size_t nc_axx__dot_four(const int16_t *x, const int16_t *w, size_t k,
                                              int32_t *sums) {
    size_t i = 0, r;
#ifdef NC_AXX__X86
    __m256i sum[4];
    NC_AXX__UNROLL(4)
    for (r = 0; r < 4; r++) sum[r] = _mm256_setzero_si256();
    for (; i + 16 <= k; i += 16) {
        const __m256i a = nc_axx__v_load(x + i);
        NC_AXX__UNROLL(4)
        for (r = 0; r < 4; r++)
            sum[r] = _mm256_add_epi32(sum[r], _mm256_madd_epi16(a, nc_axx__v_load(w + r * k + i)));
    }
    for (r = 0; r < 4; r++) {
        __m128i v =
            _mm_add_epi32(_mm256_castsi256_si128(sum[r]), _mm256_extracti128_si256(sum[r], 1));
        v = _mm_add_epi32(v, _mm_shuffle_epi32(v, 0x4e));
        v = _mm_add_epi32(v, _mm_shuffle_epi32(v, 0xb1));
        sums[r] = _mm_cvtsi128_si32(v);
    }
#else
    int32x4_t sum[4];
    for (r = 0; r < 4; r++) sum[r] = vdupq_n_s32(0);
    for (; i + 16 <= k; i += 4)
        for (r = 0; r < 4; r++)
            sum[r] = vmlal_s16(sum[r], vld1_s16(x + i), vld1_s16(w + r * k + i));
    for (r = 0; r < 4; r++) sums[r] = vaddvq_s32(sum[r]);
#endif
    return i;
}
#endif

/* A row of sums of factors, none of which passes 32 bits. */
static void nc_axx__factor_row(const int16_t *x, const int16_t *w, int32_t *sums, size_t n,
                               size_t k) {
    size_t first, o, i, done;
    for (first = 0; first < n; first += 4, w += 4 * k, sums += 4) {
        const size_t rows = n - first < 4 ? n - first : 4;
        done = 0;
#ifdef NC_AXX__VECTORS
        if (nc_axx__level() >= 1 && rows == 4) done = nc_axx__dot_four(x, w, k, sums);
#endif
        for (o = 0; o < rows; o++) {
            if (!done) sums[o] = 0;
            for (i = done; i < k; i++) sums[o] += x[i] * w[o * k + i];
        }
    }
}

static nc_status nc_axx__wide_gemm(const nc_axx_engine *e, const uint16_t *x, const uint16_t *w,
                                   int32_t *sums, size_t m, size_t n, size_t k, void *work) {
    nc_axx__arena arena = nc_axx__arena_of(work);
    uint16_t *turned = (uint16_t *)nc_axx__piece(&arena, nc__mul_size(n, k), sizeof *turned);
    int16_t *u = (int16_t *)nc_axx__piece(&arena, nc__mul_size(m, k), sizeof *u), *v;
    const int by_factors =
        e->factors && (!k || (uint64_t)e->info.largest <= (uint64_t)INT32_MAX / k);
    int over = 0;
    ptrdiff_t r;
    v = (int16_t *)(void *)turned;
    if (by_factors) {
        nc_axx__factors(u, x, m * k, e->factors, e->bits[0]);
        nc_axx__factors(v, w, n * k, e->factors + ((size_t)1 << e->bits[0]), e->bits[1]);
    } else {
        (void)nc_axx__turn(turned, w, k, n, sizeof *turned);
    }
#ifdef _OPENMP
#pragma omp parallel for schedule(static)                                                          \
    reduction(|                                                                                    \
              : over) if ((double)m * (double)n * (double)k > 1e6)
#endif
    for (r = 0; r < (ptrdiff_t)m; r++) {
        int32_t *to = sums + (size_t)r * n;
        if (by_factors)
            nc_axx__factor_row(u + (size_t)r * k, v, to, n, k);
        else
            over |= !nc_axx__wide_row(e, x + (size_t)r * k, turned, to, n, k);
    }
    return over ? NC_ERR_LIMIT : NC_OK;
}

NC_API size_t nc_axx_gemm_work_bytes(const nc_axx_engine *engine, size_t m, size_t n, size_t k) {
    nc_axx__arena arena = nc_axx__arena_of(NULL);
    size_t bytes = 64;
#ifdef NC_AXX__VECTORS
    nc_axx__parts parts;
    if (!engine || !engine->wide) bytes = nc_axx__lay_out(engine, m, n, k, NULL, &parts);
#endif
    if (engine && !engine->wide) return bytes;
    (void)nc_axx__piece(&arena, nc__mul_size(n, k), 2);
    (void)nc_axx__piece(&arena, nc__mul_size(m, k), 2);
    return nc_axx__larger(bytes, nc_axx__arena_bytes(&arena));
}

NC_API nc_status nc_axx_gemm(const nc_axx_engine *engine, const void *x, const void *w,
                             int32_t *sums, size_t m, size_t n, size_t k, void *work,
                             size_t work_bytes) {
    const uint8_t *a = (const uint8_t *)x, *b = (const uint8_t *)w;
    ptrdiff_t r;
    if (!engine || (m && n && !sums) || (m && k && !a) || (n && k && !b)) return NC_ERR_ARG;
    if (engine->wide) {
        if (!nc_axx__fits(work, work_bytes, nc_axx_gemm_work_bytes(engine, m, n, k)))
            return NC_ERR_ARG;
        return nc_axx__wide_gemm(engine, (const uint16_t *)x, (const uint16_t *)w, sums, m, n, k,
                                 work);
    }
    if (k && (uint64_t)engine->info.largest > (uint64_t)INT32_MAX / k) return NC_ERR_LIMIT;
    if (!nc_axx__fits(work, work_bytes, nc_axx_gemm_work_bytes(engine, m, n, k))) return NC_ERR_ARG;
#ifdef NC_AXX__VECTORS
    {
        const nc_axx__way way = nc_axx__way_of(engine, m, n, k);
        if (way.terms != NC_AXX__BY_TABLE) {
            nc_axx__gemm_parts(engine, &way, a, b, sums, m, n, k, work);
            return NC_OK;
        }
    }
#endif
#ifdef _OPENMP
#pragma omp parallel for schedule(static) if ((double)m * (double)n * (double)k > 1e6)
#endif
    for (r = 0; r < (ptrdiff_t)m; r++) {
#ifdef NC_AXX__X86
        if (nc_axx__level() >= 1) {
            nc_axx__rows_by_gather(engine, a + (size_t)r * k, b, sums + (size_t)r * n, 1, n, k);
            continue;
        }
#endif
        nc_axx__rows_by_table(engine, a + (size_t)r * k, b, sums + (size_t)r * n, 1, n, k);
    }
    return NC_OK;
}

/* >>layers ====================================================================== */

/* -- float32 products for the gradients: c[i][j] += sum over k of a(i, k) b[k][j], each sum a chain
 * over ascending k of a product and an addition. nc_hlx_gemm is no substitute: its chains are fused
 * (other bits), it wants nc_hlx.h, which only NC_AXX_VIT does, and work memory for its panels -- */

#if defined(__GNUC__)
typedef float nc_axx__v4 __attribute__((vector_size(16), aligned(4), may_alias));
typedef float nc_axx__v8 __attribute__((vector_size(32), aligned(4), may_alias));
typedef float nc_axx__v16 __attribute__((vector_size(64), aligned(4), may_alias));
#endif

/* A matrix by its strides. */
typedef struct nc_axx__strided {
    const float *at;
    size_t row, column;
} nc_axx__strided;

/* Columns j .. j + vectors * lanes - 1 of row i of c, as often as they fit. */
#define NC_AXX__CHAINS(vector, vectors)                                                            \
    for (; j + vectors * sizeof(vector) / 4 <= n; j += vectors * sizeof(vector) / 4) {             \
        vector s[vectors];                                                                         \
        memcpy(s, c + j, sizeof s);                                                                \
        for (p = 0; p < k; p++) {                                                                  \
            const float f = a->at[i * a->row + p * a->column];                                     \
            const vector *from = (const vector *)(const void *)(b + p * n + j);                    \
            NC_AXX__UNROLL(8)                                                                      \
            for (v = 0; v < vectors; v++) s[v] += f * from[v];                                     \
        }                                                                                          \
        memcpy(c + j, s, sizeof s);                                                                \
    }
/* Row i of c. Any width of vector gives the same bits: a lane is a chain. */
#define NC_AXX__ROW(name, target, vector, vectors)                                                 \
    target static void name(const nc_axx__strided *a, size_t i, const float *b, float *c,          \
                            size_t n, size_t k) {                                                  \
        size_t j = 0, p;                                                                           \
        int v;                                                                                     \
        NC_AXX__CHAINS(vector, vectors)                                                            \
        NC_AXX__CHAINS(vector, 1)                                                                  \
        for (; j < n; j++)                                                                         \
            for (p = 0; p < k; p++) c[j] += a->at[i * a->row + p * a->column] * b[p * n + j];      \
    }
#if defined(__GNUC__)
NC_AXX__ROW(nc_axx__row_0, NC_UNUSED, nc_axx__v4, 8)
#else
static void nc_axx__row_0(const nc_axx__strided *a, size_t i, const float *b, float *c, size_t n,
                          size_t k) {
    size_t j, p;
    for (j = 0; j < n; j++)
        for (p = 0; p < k; p++) c[j] += a->at[i * a->row + p * a->column] * b[p * n + j];
}
#endif
#ifdef NC_AXX__X86
NC_AXX__ROW(nc_axx__row_1, __attribute__((target("avx2"))), nc_axx__v8, 8)
NC_AXX__ROW(nc_axx__row_2, NC_AXX__TARGET512, nc_axx__v16, 4)
#endif
#undef NC_AXX__ROW
#undef NC_AXX__CHAINS

/* c (m x n) += a (m x k) b (k x n); `set`: c is overwritten. */
static void nc_axx__sgemm(const nc_axx__strided *a, const float *b, float *c, size_t m, size_t n,
                          size_t k, int set) {
    ptrdiff_t i;
#ifdef _OPENMP
#pragma omp parallel for schedule(static) if ((double)m * (double)n * (double)k > 1e6)
#endif
    for (i = 0; i < (ptrdiff_t)m; i++) {
        float *row = c + (size_t)i * n;
        if (set) memset(row, 0, n * sizeof *row);
#ifdef NC_AXX__X86
        if (nc_axx__level() >= 1) {
            (nc_axx__level() >= 2 ? nc_axx__row_2 : nc_axx__row_1)(a, (size_t)i, b, row, n, k);
            continue;
        }
#endif
        nc_axx__row_0(a, (size_t)i, b, row, n, k);
    }
}

static nc_axx__strided nc_axx__plain(const float *a, size_t columns) {
    nc_axx__strided s;
    s.at = a;
    s.row = columns;
    s.column = 1;
    return s;
}

static nc_axx__strided nc_axx__transposed(const float *a, size_t columns) {
    nc_axx__strided s;
    s.at = a;
    s.row = 1;
    s.column = columns;
    return s;
}

/* to[column to_stride + row] = from[row from_stride + column], four by four. */
static void nc_axx__turn_four(float *to, size_t to_stride, const float *from, size_t from_stride) {
#if defined(NC_AXX__X86)
    __m128 a = _mm_loadu_ps(from), b = _mm_loadu_ps(from + from_stride);
    __m128 c = _mm_loadu_ps(from + 2 * from_stride), d = _mm_loadu_ps(from + 3 * from_stride);
    _MM_TRANSPOSE4_PS(a, b, c, d);
    _mm_storeu_ps(to, a);
    _mm_storeu_ps(to + to_stride, b);
    _mm_storeu_ps(to + 2 * to_stride, c);
    _mm_storeu_ps(to + 3 * to_stride, d);
#elif defined(NC__NEON)
    const float32x4x2_t a = vtrnq_f32(vld1q_f32(from), vld1q_f32(from + from_stride));
    const float32x4x2_t b =
        vtrnq_f32(vld1q_f32(from + 2 * from_stride), vld1q_f32(from + 3 * from_stride));
    int i;
    for (i = 0; i < 2; i++) {
        vst1q_f32(to + (size_t)i * to_stride,
                  vcombine_f32(vget_low_f32(a.val[i]), vget_low_f32(b.val[i])));
        vst1q_f32(to + (size_t)(i + 2) * to_stride,
                  vcombine_f32(vget_high_f32(a.val[i]), vget_high_f32(b.val[i])));
    }
#else
    size_t i, k;
    for (i = 0; i < 4; i++)
        for (k = 0; k < 4; k++) to[k * to_stride + i] = from[i * from_stride + k];
#endif
}

/* The same of so many rows and columns, along what is longer, so that few lines of the cache are
 * under way at once. */
static void nc_axx__turn_floats(float *to, size_t to_stride, const float *from, size_t from_stride,
                                size_t rows, size_t columns) {
    const int wide = columns > rows;
    const size_t outer = wide ? rows : columns, inner = wide ? columns : rows;
    const size_t from_outer = wide ? from_stride : 1, from_inner = wide ? 1 : from_stride;
    const size_t to_outer = wide ? 1 : to_stride, to_inner = wide ? to_stride : 1;
    size_t i, k, end, one;
    for (i = 0; i < outer; i = end) {
        end = i + 4 <= outer ? i + 4 : i + 1;
        for (k = 0; k + 4 <= inner && end == i + 4; k += 4)
            nc_axx__turn_four(to + i * to_outer + k * to_inner, to_stride,
                              from + i * from_outer + k * from_inner, from_stride);
        for (; k < inner; k++)
            for (one = i; one < end; one++)
                to[one * to_outer + k * to_inner] = from[one * from_outer + k * from_inner];
    }
}

/* One value from its sum. */
static float nc_axx__value_of(int32_t sum, float scale, float bias) {
    const float value = scale != 0.0f ? (float)sum / scale : 0.0f;
    return value + bias;
}

#if defined(NC_AXX__X86)
typedef __m128 nc_axx__four;
static nc_axx__four nc_axx__four_at(const float *x) { return _mm_loadu_ps(x); }
static nc_axx__four nc_axx__value_four(const int32_t *sums, nc_axx__four scale, nc_axx__four bias) {
    const __m128i v = _mm_loadu_si128((const __m128i *)(const void *)sums);
    const __m128 there = _mm_cmpneq_ps(scale, _mm_setzero_ps());
    return _mm_add_ps(_mm_and_ps(_mm_div_ps(_mm_cvtepi32_ps(v), scale), there), bias);
}
static void nc_axx__store_four(float *to, nc_axx__four v) { _mm_storeu_ps(to, v); }
#elif defined(NC__NEON)
typedef float32x4_t nc_axx__four;
static nc_axx__four nc_axx__four_at(const float *x) { return vld1q_f32(x); }
static nc_axx__four nc_axx__value_four(const int32_t *sums, nc_axx__four scale, nc_axx__four bias) {
    const float32x4_t v = vdivq_f32(vcvtq_f32_s32(vld1q_s32(sums)), scale);
    return vaddq_f32(vbslq_f32(vceqzq_f32(scale), vdupq_n_f32(0.0f), v), bias);
}
static void nc_axx__store_four(float *to, nc_axx__four v) { vst1q_f32(to, v); }
#endif

#ifdef NC_AXX__X86
static inline __attribute__((always_inline, target("avx2"))) __m256
nc_axx__eight_of(__m256i sums, __m256 scale, __m256 bias) {
    const __m256 there = _mm256_cmp_ps(scale, _mm256_setzero_ps(), _CMP_NEQ_UQ);
    const __m256 quotient = _mm256_div_ps(_mm256_cvtepi32_ps(sums), scale);
    return _mm256_add_ps(_mm256_and_ps(quotient, there), bias);
}

/* Eight by eight as far as they go; returns how many. */
static inline __attribute__((always_inline, target("avx2"))) size_t
nc_axx__eight_values(float *y, const int32_t *sums, size_t n, __m256 scale, __m256 bias) {
    size_t i = 0;
    for (; i + 8 <= n; i += 8) {
        const __m256i v = _mm256_loadu_si256((const __m256i *)(const void *)(sums + i));
        _mm256_storeu_ps(y + i, nc_axx__eight_of(v, scale, bias));
    }
    return i;
}

__attribute__((target("avx2"))) static void nc_axx__rows_values_8(float *y, const int32_t *sums,
                                                                  size_t rows, size_t n,
                                                                  size_t step, float scale,
                                                                  float bias) {
    const __m256 by = _mm256_set1_ps(scale), plus = _mm256_set1_ps(bias);
    size_t r = 0, i;
    for (; r + 2 <= rows && n == 4; r += 2, sums += 2 * step, y += 8) { /* two short rows */
        const __m128i one = _mm_loadu_si128((const __m128i *)(const void *)sums);
        const __m128i two = _mm_loadu_si128((const __m128i *)(const void *)(sums + step));
        const __m256i both = _mm256_inserti128_si256(_mm256_castsi128_si256(one), two, 1);
        _mm256_storeu_ps(y, nc_axx__eight_of(both, by, plus));
    }
    for (; r < rows; r++, sums += step, y += n) {
        i = nc_axx__eight_values(y, sums, n, by, plus);
        if (i + 4 <= n) {
            nc_axx__store_four(y + i, nc_axx__value_four(sums + i, _mm256_castps256_ps128(by),
                                                         _mm256_castps256_ps128(plus)));
            i += 4;
        }
        for (; i < n; i++) y[i] = nc_axx__value_of(sums[i], scale, bias);
    }
}
#endif

/* The values of some rows of sums, `step` apart, one scale and bias for all. */
static void nc_axx__rows_values(float *y, const int32_t *sums, size_t rows, size_t n, size_t step,
                                float scale, float bias) {
#if defined(NC_AXX__X86) || defined(NC__NEON)
    const float scales[4] = {scale, scale, scale, scale}, biases[4] = {bias, bias, bias, bias};
    const nc_axx__four by = nc_axx__four_at(scales), plus = nc_axx__four_at(biases);
#endif
    size_t r, i;
#ifdef NC_AXX__X86
    if (nc_axx__level() >= 1) {
        nc_axx__rows_values_8(y, sums, rows, n, step, scale, bias);
        return;
    }
#endif
    for (r = 0; r < rows; r++, sums += step, y += n) {
        i = 0;
#if defined(NC_AXX__X86) || defined(NC__NEON)
        for (; i + 4 <= n; i += 4)
            nc_axx__store_four(y + i, nc_axx__value_four(sums + i, by, plus));
#endif
        for (; i < n; i++) y[i] = nc_axx__value_of(sums[i], scale, bias);
    }
}

enum { NC_AXX__SOME = 16 };

/* The values of some rows of sums, NC_AXX__SOME places apart in y, with a scale (x_scale w_scale)
 * and a bias (null: 0) for each of at most so many columns. */
static void nc_axx__some_values(float *y, const int32_t *sums, size_t stride, size_t rows,
                                size_t columns, float x_scale, const float *w_scale,
                                const float *bias) {
    float scales[NC_AXX__SOME], biases[NC_AXX__SOME];
    size_t r, c;
    for (c = 0; c < columns; c++) {
        scales[c] = x_scale * w_scale[c];
        biases[c] = bias ? bias[c] : 0.0f;
    }
    for (r = 0; r < rows; r++, sums += stride, y += NC_AXX__SOME) {
        c = 0;
#if defined(NC_AXX__X86) || defined(NC__NEON)
        for (; c + 4 <= columns; c += 4)
            nc_axx__store_four(y + c, nc_axx__value_four(sums + c, nc_axx__four_at(scales + c),
                                                         nc_axx__four_at(biases + c)));
#endif
        for (; c < columns; c++) y[c] = nc_axx__value_of(sums[c], scales[c], biases[c]);
    }
}

/* The values of a matrix of sums, column by column (`turned`) or row by row. */
static void nc_axx__values_of(float *y, const int32_t *sums, size_t rows, size_t columns,
                              float x_scale, const float *w_scale, const float *bias, int turned) {
    ptrdiff_t block;
#ifdef _OPENMP
#pragma omp parallel for schedule(static) if ((double)rows * (double)columns > 1e5)
#endif
    for (block = 0; block < (ptrdiff_t)((rows + NC_AXX__SOME - 1) / NC_AXX__SOME); block++) {
        float some[NC_AXX__SOME * NC_AXX__SOME];
        const size_t r = (size_t)block * NC_AXX__SOME;
        const size_t n = rows - r < NC_AXX__SOME ? rows - r : (size_t)NC_AXX__SOME;
        size_t c, i, m;
        for (c = 0; c < columns; c += m) {
            m = columns - c < NC_AXX__SOME ? columns - c : (size_t)NC_AXX__SOME;
            nc_axx__some_values(some, sums + r * columns + c, columns, n, m, x_scale, w_scale + c,
                                bias ? bias + c : NULL);
            if (turned)
                nc_axx__turn_floats(y + c * rows + r, rows, some, NC_AXX__SOME, n, m);
            else
                for (i = 0; i < n; i++)
                    memcpy(y + (r + i) * columns + c, some + i * NC_AXX__SOME, m * sizeof *y);
        }
    }
}

/* `index` operands on. */
static const void *nc_axx__from(const nc_axx_engine *e, const void *q, size_t index) {
    return (const uint8_t *)q + index * nc_axx__operand_bytes(e);
}

/* First (0) or second (1) operands of a layer as float32. */
static void nc_axx__reals(const nc_axx_engine *e, int second, float *x, const void *q, size_t n,
                          float scale) {
    const int is_unsigned = second ? e->b_unsigned : e->a_unsigned;
    if (e->wide)
        nc_axx_dequantize_wide(x, q, n, scale, is_unsigned);
    else
        nc_axx_dequantize(x, q, n, scale, is_unsigned);
}

/* -- linear -- */

typedef struct nc_axx__linear_work {
    int32_t *sums;
    float *x, *w;
    uint8_t *gemm;
    size_t bytes;
} nc_axx__linear_work;

/* Forward needs the sums and the gemm's memory, backward both operands as float32: they share. */
static void nc_axx__lay_out_linear(const nc_axx_engine *e, size_t rows, size_t k, size_t out,
                                   void *work, nc_axx__linear_work *parts) {
    nc_axx__arena arena = nc_axx__arena_of(work), other;
    other = arena;
    parts->sums = (int32_t *)nc_axx__piece(&arena, nc__mul_size(rows, out), 4);
    parts->gemm = (uint8_t *)nc_axx__piece(&arena, nc_axx_gemm_work_bytes(e, rows, out, k), 1);
    parts->x = (float *)nc_axx__piece(&other, nc__mul_size(rows, k), 4);
    parts->w = (float *)nc_axx__piece(&other, nc__mul_size(out, k), 4);
    parts->bytes = nc_axx__shared_bytes(&arena, &other);
}

NC_API size_t nc_axx_linear_work_bytes(const nc_axx_engine *e, size_t rows, size_t k, size_t out) {
    nc_axx__linear_work parts;
    nc_axx__lay_out_linear(e, rows, k, out, NULL, &parts);
    return parts.bytes;
}

NC_API nc_status nc_axx_linear(const nc_axx_engine *e, const void *x, float x_scale, const void *w,
                               const float *w_scale, const float *bias, float *y, size_t rows,
                               size_t k, size_t out, void *work, size_t work_bytes) {
    nc_axx__linear_work parts;
    nc_status status;
    if (!e || !x || !w || !w_scale || !y) return NC_ERR_ARG;
    if (!nc_axx__fits(work, work_bytes, nc_axx_linear_work_bytes(e, rows, k, out)))
        return NC_ERR_ARG;
    nc_axx__lay_out_linear(e, rows, k, out, work, &parts);
    status = nc_axx_gemm(e, x, w, parts.sums, rows, out, k, parts.gemm,
                         nc_axx_gemm_work_bytes(e, rows, out, k));
    if (status == NC_OK) nc_axx__values_of(y, parts.sums, rows, out, x_scale, w_scale, bias, 0);
    return status;
}

NC_API nc_status nc_axx_linear_backward(const nc_axx_engine *e, const void *x, float x_scale,
                                        const void *w, const float *w_scale, const float *dy,
                                        float *dx, float *dw, float *db, size_t rows, size_t k,
                                        size_t out, void *work, size_t work_bytes) {
    nc_axx__linear_work parts;
    nc_axx__strided a;
    size_t r, o;
    if (!e || !x || !w || !w_scale || !dy) return NC_ERR_ARG;
    if (!nc_axx__fits(work, work_bytes, nc_axx_linear_work_bytes(e, rows, k, out)))
        return NC_ERR_ARG;
    nc_axx__lay_out_linear(e, rows, k, out, work, &parts);
    if (dx) {
        for (o = 0; o < out; o++)
            nc_axx__reals(e, 1, parts.w + o * k, nc_axx__from(e, w, o * k), k, w_scale[o]);
        a = nc_axx__plain(dy, out);
        nc_axx__sgemm(&a, parts.w, dx, rows, k, out, 1);
    }
    if (dw) {
        nc_axx__reals(e, 0, parts.x, x, rows * k, x_scale);
        a = nc_axx__transposed(dy, out);
        nc_axx__sgemm(&a, parts.x, dw, out, k, rows, 0);
    }
    for (r = 0; r < rows && db; r++)
        for (o = 0; o < out; o++) db[o] += dy[r * out + o];
    return NC_OK;
}

/* -- product of two activations -- */

typedef struct nc_axx__matmul_work {
    void *turned; /* b as n x k */
    int32_t *sums;
    uint8_t *gemm;
    float *a, *b;
    size_t bytes;
} nc_axx__matmul_work;

static void nc_axx__lay_out_matmul(const nc_axx_engine *e, size_t m, size_t n, size_t k, void *work,
                                   nc_axx__matmul_work *parts) {
    nc_axx__arena arena = nc_axx__arena_of(work), other;
    parts->turned = nc_axx__piece(&arena, nc__mul_size(n, k), nc_axx__operand_bytes(e));
    other = arena;
    parts->sums = (int32_t *)nc_axx__piece(&arena, nc__mul_size(m, n), 4);
    parts->gemm = (uint8_t *)nc_axx__piece(&arena, nc_axx_gemm_work_bytes(e, m, n, k), 1);
    parts->a = (float *)nc_axx__piece(&other, nc__mul_size(m, k), 4);
    parts->b = (float *)nc_axx__piece(&other, nc__mul_size(n, k), 4);
    parts->bytes = nc_axx__shared_bytes(&arena, &other);
}

NC_API size_t nc_axx_matmul_work_bytes(const nc_axx_engine *e, size_t m, size_t n, size_t k) {
    nc_axx__matmul_work parts;
    nc_axx__lay_out_matmul(e, m, n, k, NULL, &parts);
    return parts.bytes;
}

NC_API nc_status nc_axx_matmul(const nc_axx_engine *e, const void *a, float a_scale, const void *b,
                               float b_scale, int b_by_rows, float *y, size_t batch, size_t m,
                               size_t n, size_t k, void *work, size_t work_bytes) {
    const float scale = a_scale * b_scale;
    nc_axx__matmul_work parts;
    nc_status status = NC_OK;
    size_t i;
    if (!e || !a || !b || !y) return NC_ERR_ARG;
    if (!nc_axx__fits(work, work_bytes, nc_axx_matmul_work_bytes(e, m, n, k))) return NC_ERR_ARG;
    nc_axx__lay_out_matmul(e, m, n, k, work, &parts);
    for (i = 0; i < batch && status == NC_OK; i++) {
        const void *second = nc_axx__from(e, b, i * n * k);
        if (b_by_rows) second = nc_axx__turn(parts.turned, second, n, k, nc_axx__operand_bytes(e));
        status = nc_axx_gemm(e, nc_axx__from(e, a, i * m * k), second, parts.sums, m, n, k,
                             parts.gemm, nc_axx_gemm_work_bytes(e, m, n, k));
        if (status == NC_OK)
            nc_axx__rows_values(y + i * m * n, parts.sums, 1, m * n, m * n, scale, 0.0f);
    }
    return status;
}

NC_API nc_status nc_axx_matmul_backward(const nc_axx_engine *e, const void *a, float a_scale,
                                        const void *b, float b_scale, int b_by_rows,
                                        const float *dy, float *da, float *db, size_t batch,
                                        size_t m, size_t n, size_t k, void *work,
                                        size_t work_bytes) {
    nc_axx__matmul_work parts;
    nc_axx__strided left;
    size_t i;
    if (!e || !a || !b || !dy) return NC_ERR_ARG;
    if (!nc_axx__fits(work, work_bytes, nc_axx_matmul_work_bytes(e, m, n, k))) return NC_ERR_ARG;
    nc_axx__lay_out_matmul(e, m, n, k, work, &parts);
    for (i = 0; i < batch; i++) {
        const void *second = nc_axx__from(e, b, i * n * k);
        const float *from = dy + i * m * n;
        if (da) { /* dy b, with b as n x k */
            if (b_by_rows)
                second = nc_axx__turn(parts.turned, second, n, k, nc_axx__operand_bytes(e));
            nc_axx__reals(e, 1, parts.b, second, n * k, b_scale);
            left = nc_axx__plain(from, n);
            nc_axx__sgemm(&left, parts.b, da + i * m * k, m, k, n, 1);
        }
        if (!db) continue;
        nc_axx__reals(e, 0, parts.a, nc_axx__from(e, a, i * m * k), m * k, a_scale);
        if (b_by_rows) { /* a^T dy */
            left = nc_axx__transposed(parts.a, k);
            nc_axx__sgemm(&left, from, db + i * n * k, k, n, m, 1);
        } else { /* dy^T a */
            left = nc_axx__transposed(from, n);
            nc_axx__sgemm(&left, parts.a, db + i * n * k, n, k, m, 1);
        }
    }
    return NC_OK;
}

/* -- convolutions as products: a row of columns for every place of the smaller map -- */

/* A shape with its defaults filled in. The smaller map is a convolution's output and a transposed
 * one's input; `large` is the other. */
typedef struct nc_axx__plan {
    nc_axx_conv s;
    size_t out_h, out_w;
    size_t small_h, small_w, large_h, large_w;
    size_t small_channels, large_channels; /* of one group */
    size_t taps;                           /* large_channels x kernel: the width of a row */
} nc_axx__plan;

/* Zeros become their defaults, sizes are checked, and both maps follow: the smaller has a place
 * for every row of taps, the larger is what the taps lie in (the input of a convolution, the
 * output of a transposed one). NC_ERR_ARG: no such shape; NC_ERR_LIMIT: beyond what sums and
 * sizes hold. */
static nc_status nc_axx__plan_conv(const nc_axx_conv *shape, int transposed, nc_axx__plan *p) {
    nc_axx_conv *s = &p->s;
    const size_t limit = (size_t)1 << 20;
    size_t span_h, span_w;
    p->s = *shape;
    if (!s->stride_h) s->stride_h = 1;
    if (!s->stride_w) s->stride_w = 1;
    if (!s->dilation_h) s->dilation_h = 1;
    if (!s->dilation_w) s->dilation_w = 1;
    if (!s->groups) s->groups = 1;
    if (!s->batch || !s->in_channels || !s->height || !s->width || !s->out_channels ||
        !s->kernel_h || !s->kernel_w || s->in_channels % s->groups || s->out_channels % s->groups)
        return NC_ERR_ARG;
    if (s->batch > limit || s->in_channels > limit || s->out_channels > limit ||
        s->height > limit || s->width > limit || s->kernel_h > 4096 || s->kernel_w > 4096 ||
        s->stride_h > 4096 || s->stride_w > 4096 || s->padding_h > limit || s->padding_w > limit ||
        s->dilation_h > 4096 || s->dilation_w > 4096 || s->extra_h > 4096 || s->extra_w > 4096 ||
        s->extra_h < -4096 || s->extra_w < -4096)
        return NC_ERR_LIMIT;
    span_h = s->dilation_h * (s->kernel_h - 1) + 1;
    span_w = s->dilation_w * (s->kernel_w - 1) + 1;
    if (transposed) {
        const size_t h = (s->height - 1) * s->stride_h + span_h;
        const size_t w = (s->width - 1) * s->stride_w + span_w;
        const ptrdiff_t less_h = (ptrdiff_t)(2 * s->padding_h) - s->extra_h;
        const ptrdiff_t less_w = (ptrdiff_t)(2 * s->padding_w) - s->extra_w;
        if ((ptrdiff_t)h <= less_h || (ptrdiff_t)w <= less_w) return NC_ERR_ARG;
        p->out_h = (size_t)((ptrdiff_t)h - less_h);
        p->out_w = (size_t)((ptrdiff_t)w - less_w);
    } else {
        const ptrdiff_t end_h = (ptrdiff_t)s->padding_h + s->extra_h;
        const ptrdiff_t end_w = (ptrdiff_t)s->padding_w + s->extra_w;
        const size_t h = s->height + s->padding_h + (size_t)end_h;
        const size_t w = s->width + s->padding_w + (size_t)end_w;
        if (end_h < 0 || end_w < 0 || h < span_h || w < span_w) return NC_ERR_ARG;
        p->out_h = (h - span_h) / s->stride_h + 1;
        p->out_w = (w - span_w) / s->stride_w + 1;
    }
    p->small_h = transposed ? s->height : p->out_h;
    p->small_w = transposed ? s->width : p->out_w;
    p->large_h = transposed ? p->out_h : s->height;
    p->large_w = transposed ? p->out_w : s->width;
    p->small_channels = (transposed ? s->in_channels : s->out_channels) / s->groups;
    p->large_channels = (transposed ? s->out_channels : s->in_channels) / s->groups;
    p->taps = nc__mul_size(p->large_channels, s->kernel_h * s->kernel_w);
    return NC_OK;
}

NC_API nc_status nc_axx_conv_output(const nc_axx_conv *shape, int transposed, size_t *height,
                                    size_t *width) {
    nc_axx__plan p;
    nc_status status;
    if (!shape || !height || !width) return NC_ERR_ARG;
    status = nc_axx__plan_conv(shape, transposed, &p);
    if (status != NC_OK) return status;
    *height = p.out_h;
    *width = p.out_w;
    return NC_OK;
}

/* Places of a row of the smaller map whose tap lies in a row of the larger one. */
typedef struct nc_axx__span {
    size_t begin, end; /* as many zeros stand before, and from the end on */
    size_t first;      /* column of the larger map that place 0 reads; left of it a huge one */
} nc_axx__span;

/* Of the taps in column j of the kernel. */
static nc_axx__span nc_axx__span_of(const nc_axx__plan *p, size_t j) {
    const size_t stride = p->s.stride_w, right = j * p->s.dilation_w, left = p->s.padding_w;
    nc_axx__span in;
    in.begin = in.end = 0;
    in.first = right - left;
    if (right >= left && in.first >= p->large_w) return in;
    if (right < left) in.begin = (left - right + stride - 1) / stride;
    in.end = (p->large_w - 1 - in.first) / stride + 1;
    if (in.end > p->small_w) in.end = p->small_w;
    if (in.begin > in.end) in.begin = in.end;
    return in;
}

/* The row of the larger map where row i of the kernel lies at row h; above it a huge one. */
static size_t nc_axx__tap_row(const nc_axx__plan *p, size_t h, size_t i) {
    return h * p->s.stride_h + i * p->s.dilation_h - p->s.padding_h;
}

/* Rows of taps, one for every place of row h of the smaller map, and a group's larger map: what is
 * done outside of it and inside, with row[w * taps] and at[x]. A value of the map meets its places
 * in their order. */
#define NC_AXX__FOR_TAPS(name, ROW, MAP, outside, inside)                                          \
    static void nc_axx__##name(const nc_axx__plan *p, size_t h, ROW *rows, MAP *map) {             \
        const size_t taps = p->taps, stride = p->s.stride_w, wide = p->small_w;                    \
        const size_t kernel_h = p->s.kernel_h, kernel_w = p->s.kernel_w;                           \
        size_t c, i, j, w, x;                                                                      \
        for (j = kernel_w; j-- > 0;) {                                                             \
            const nc_axx__span span = nc_axx__span_of(p, j);                                       \
            for (c = 0; c < p->large_channels; c++)                                                \
                for (i = 0; i < kernel_h; i++) {                                                   \
                    const size_t y = nc_axx__tap_row(p, h, i);                                     \
                    const size_t end = y < p->large_h ? span.end : 0;                              \
                    const size_t begin = end ? span.begin : 0;                                     \
                    ROW *row = rows + (c * kernel_h + i) * kernel_w + j;                           \
                    MAP *at = map + (end ? (c * p->large_h + y) * p->large_w : 0);                 \
                    for (w = 0; w < begin; w++) outside;                                           \
                    for (x = span.first + w * stride; w < end; w++, x += stride) inside;           \
                    for (; w < wide; w++) outside;                                                 \
                }                                                                                  \
        }                                                                                          \
    }
NC_AXX__FOR_TAPS(gather_bytes, uint8_t, const uint8_t, row[w * taps] = 0, row[w * taps] = at[x])
NC_AXX__FOR_TAPS(gather_words, uint16_t, const uint16_t, row[w * taps] = 0, row[w * taps] = at[x])
NC_AXX__FOR_TAPS(gather_floats, float, const float, row[w * taps] = 0.0f, row[w * taps] = at[x])
NC_AXX__FOR_TAPS(scatter_sums, const int32_t, int32_t, (void)0, at[x] += row[w * taps])
NC_AXX__FOR_TAPS(scatter_floats, const float, float, (void)0, at[x] += row[w * taps])
#undef NC_AXX__FOR_TAPS

/* Those of all places of some images; `step` operands from one image's group to the next one's. */
static void nc_axx__gather(const nc_axx_engine *e, const nc_axx__plan *p, void *rows,
                           const void *maps, size_t images, size_t step) {
    const size_t row = p->small_w * p->taps, n = images * p->small_h;
    ptrdiff_t i;
#ifdef _OPENMP
#pragma omp parallel for schedule(static) if ((double)n * (double)row > 1e5)
#endif
    for (i = 0; i < (ptrdiff_t)n; i++) {
        const size_t map = (size_t)i / p->small_h * step, h = (size_t)i % p->small_h;
        if (e->wide)
            nc_axx__gather_words(p, h, (uint16_t *)rows + (size_t)i * row,
                                 (const uint16_t *)maps + map);
        else
            nc_axx__gather_bytes(p, h, (uint8_t *)rows + (size_t)i * row,
                                 (const uint8_t *)maps + map);
    }
}

/* -- depthwise: channels one by one, by the cheapest of three ways: a look-up for every tap of a
 * place; vectors of look-ups, all taps of a row of the kernel at once; products -- */

enum {
    NC_AXX__DEPTHWISE_TAPS = 128,       /* more columns of the table do not stay in a cache */
    NC_AXX__DEPTHWISE_TERMS = 4,        /* more products are slower than look-ups */
    NC_AXX__DEPTHWISE_PLACES = 1 << 18, /* of a padded map: more are no blocks of channels */
    NC_AXX__KERNEL_ROWS = 7,            /* more vectors of look-ups do not stay in a cache */
    NC_AXX__KERNEL_COLUMNS = 8,
    NC_AXX__ROWS_PLACES = 512,  /* fewer a channel are not worth their making */
    NC_AXX__BAND_PLACES = 1024, /* sums at once */
    NC_AXX__PILE_PLACES = 2048, /* of small maps, which go together */
    NC_AXX__BEYOND = 64,        /* values that vectors reach beyond the end */
    NC_AXX__LAYER_HANDS = 8     /* threads of a layer at most */
};

/* The larger map with what lies around it, as far as taps reach. */
static size_t nc_axx__padded_h(const nc_axx__plan *p) {
    return (p->small_h - 1) * p->s.stride_h + (p->s.kernel_h - 1) * p->s.dilation_h + 1;
}

static size_t nc_axx__padded_w(const nc_axx__plan *p) {
    return (p->small_w - 1) * p->s.stride_w + (p->s.kernel_w - 1) * p->s.dilation_w + 1;
}

static size_t nc_axx__padded_places(const nc_axx__plan *p) {
    return nc__mul_size(nc_axx__padded_h(p), nc_axx__padded_w(p));
}

/* The columns of the larger map that lie in the padded one. */
static size_t nc_axx__inside_w(const nc_axx__plan *p) {
    const size_t padded = nc_axx__padded_w(p), left = p->s.padding_w;
    const size_t room = padded > left ? padded - left : 0;
    return room < p->large_w ? room : p->large_w;
}

/* Where the first place reads every tap of a padded map of so many lanes; one more: the last. */
static void nc_axx__tap_starts(const nc_axx__plan *p, size_t lanes, size_t *starts) {
    size_t i, j;
    for (i = 0; i < p->s.kernel_h; i++)
        for (j = 0; j < p->s.kernel_w; j++)
            *starts++ = (i * p->s.dilation_h * nc_axx__padded_w(p) + j * p->s.dilation_w) * lanes;
    *starts = starts[-1];
}

/* Whether a convolution goes channel by channel: with more outputs rows of taps are quicker. */
static int nc_axx__is_depthwise(const nc_axx_engine *e, const nc_axx__plan *p) {
    return !(e && e->wide) && p->large_channels == 1 && p->small_channels <= 4 &&
           p->taps <= NC_AXX__DEPTHWISE_TAPS;
}

/* The padded map cut by the strides into planes, in each of which places step by one: the value at
 * (y, x) lies in plane (y % stride_h, x % stride_w). Those that no tap reads are left out. */
typedef struct nc_axx__grid {
    size_t planes_h, planes_w, rows;
    size_t columns; /* sums of short rows begin with a vector */
    size_t places;  /* of all planes */
} nc_axx__grid;

static nc_axx__grid nc_axx__grid_of(const nc_axx__plan *p) {
    const size_t reach_h = (p->s.kernel_h - 1) * p->s.dilation_h;
    const size_t reach_w = (p->s.kernel_w - 1) * p->s.dilation_w;
    nc_axx__grid g;
    g.planes_h = reach_h < p->s.stride_h ? reach_h + 1 : p->s.stride_h;
    g.planes_w = reach_w < p->s.stride_w ? reach_w + 1 : p->s.stride_w;
    g.rows = p->small_h + reach_h / p->s.stride_h;
    g.columns = p->small_w + reach_w / p->s.stride_w;
    if (g.columns == 6 || g.columns == 7) g.columns = 8;
    g.places = nc__mul_size(nc__mul_size(g.planes_h, g.planes_w), nc__mul_size(g.rows, g.columns));
    return g;
}

/* The first place of a row of a plane. */
static size_t nc_axx__grid_row(const nc_axx__grid *g, size_t plane, size_t row) {
    return (plane * g->rows + row) * g->columns;
}

/* Where the first place reads every tap. */
static void nc_axx__grid_starts(const nc_axx__plan *p, const nc_axx__grid *g, size_t *starts) {
    size_t i, j;
    for (i = 0; i < p->s.kernel_h; i++)
        for (j = 0; j < p->s.kernel_w; j++) {
            const size_t y = i * p->s.dilation_h, x = j * p->s.dilation_w;
            const size_t plane = y % p->s.stride_h * g->planes_w + x % p->s.stride_w;
            *starts++ = nc_axx__grid_row(g, plane, y / p->s.stride_h) + x / p->s.stride_w;
        }
}

enum { NC_AXX__BY_ONES, NC_AXX__BY_ROWS, NC_AXX__BY_PRODUCTS };

/* Whether vectors can hold the look-ups of rows of this kernel. */
static int nc_axx__fits_rows(const nc_axx__plan *p) {
    const nc_axx_conv *s = &p->s;
    return s->kernel_h <= NC_AXX__KERNEL_ROWS && s->kernel_w <= NC_AXX__KERNEL_COLUMNS &&
           s->dilation_h == 1 && s->dilation_w == 1;
}

/* Taps of a row or column of the kernel, of which every stride-th lies in plane number i. */
static size_t nc_axx__taps_in(size_t kernel, size_t stride, size_t i) {
    return (kernel - i + stride - 1) / stride;
}

/* int32_t of a vector table for each byte: a row of zeros, then rows of four taps. */
static size_t nc_axx__rows_step(const nc_axx__plan *p) {
    return 4 * (nc_axx__taps_in(p->s.kernel_h, p->s.stride_h, 0) + 1);
}

/* int32_t of all vector tables of an output: of each plane, four columns of the kernel a table. */
static size_t nc_axx__rows_size(const nc_axx__plan *p, const nc_axx__grid *g) {
    size_t i, tables = 0;
    if (!nc_axx__fits_rows(p)) return 0;
    for (i = 0; i < g->planes_w; i++)
        tables += (nc_axx__taps_in(p->s.kernel_w, p->s.stride_w, i) + 3) / 4;
    return g->planes_h * tables * 256 * nc_axx__rows_step(p);
}

#ifdef NC_AXX__VECTORS
/* Whether the terms are all of the table, and 16 bits hold what they make of the operands, factors
 * included. */
static int nc_axx__is_products(const nc_axx_engine *e) {
    size_t r, i;
    if (e->info.planes || e->rest_offset || e->info.products > NC_AXX__DEPTHWISE_TERMS) return 0;
    for (r = 0; r < e->info.products; r++)
        for (i = 0; i < 256; i++) {
            const nc_axx__term *t = &e->terms[r];
            if (nc_axx__abs((t->v[i] + t->v_offset) * t->factor) > INT16_MAX) return 0;
        }
    return 1;
}

#endif

/* How the sums of a convolution are made. */
static int nc_axx__depthwise_way(const nc_axx_engine *e, const nc_axx__plan *p) {
#ifdef NC_AXX__VECTORS
    const size_t places = p->s.batch * p->small_h * p->small_w;
    const int rows = nc_axx__fits_rows(p) && places >= NC_AXX__ROWS_PLACES;
    if (nc_axx__level() < 1) return NC_AXX__BY_ONES;
    if (nc_axx__is_products(e) && (e->info.products <= 2 || !rows)) return NC_AXX__BY_PRODUCTS;
    if (rows) return NC_AXX__BY_ROWS;
#endif
    (void)e;
    (void)p;
    return NC_AXX__BY_ONES;
}

/* Images whose places are the rows of one product: that of a small map does little alone. */
static size_t nc_axx__together(const nc_axx__plan *p) {
    const size_t places = nc__mul_size(p->small_h, p->small_w);
    const size_t images = places && places < 1024 ? 1024 / places : 1;
    return images < p->s.batch ? images : p->s.batch;
}

/* Memory of some images and a group. */
typedef struct nc_axx__conv_work {
    void *columns; /* rows of taps */
    void *small,
        *weights;        /* transposed: the smaller map place by place, a group's weights by tap */
    int32_t *sums, *map; /* the gemm's; the large map */
    uint8_t *gemm;
    float *floats, *turned,
        *w;         /* rows of taps; the smaller map, place by place; weights of a group */
    size_t *starts; /* depthwise: where the first place reads its taps, of every term */
    uint8_t *slots; /* nc_axx__depthwise_memory, one a thread */
    size_t slot_count, slot_bytes;
    int32_t *pairs; /* depthwise: pairs of weights of every term, output by output */
    int is_depthwise;
    size_t bytes;
} nc_axx__conv_work;

/* Threads at hand, at most so many. */
static size_t nc_axx__hands(size_t most) {
#ifdef _OPENMP
    const size_t hands = (size_t)omp_get_max_threads();
    return hands < most ? hands : most;
#else
    (void)most;
    return 1;
#endif
}

/* Where the values of a plane come from, rows or columns. */
typedef struct nc_axx__stripe {
    size_t from, to, count; /* the first of the map, its place in the plane, and how many */
} nc_axx__stripe;

/* Of plane number i: every stride-th of `large`, of which `before` lie in the padding. */
static nc_axx__stripe nc_axx__stripe_of(size_t i, size_t stride, size_t before, size_t large,
                                        size_t places) {
    nc_axx__stripe cut;
    cut.from = (i + stride - before % stride) % stride;
    cut.to = (cut.from + before) / stride;
    cut.count = cut.from < large ? (large - 1 - cut.from) / stride + 1 : 0;
    if (cut.to >= places) cut.count = 0;
    if (cut.count > places - cut.to) cut.count = places - cut.to;
    return cut;
}

/* A thread's memory for depthwise channels: some images of some groups, which lie side by side. */
typedef struct nc_axx__depthwise_memory {
    nc_axx__grid grid;
    size_t images, groups; /* at most */
    size_t band, row;      /* rows of places whose sums are made at once; from one's to the next */
    size_t sums_size;      /* of an image */
    nc_axx__stripe *cuts;  /* rows of all planes, then columns */
    uint8_t *codes;        /* of an image, */
    uint8_t *mapped;       /* what a term makes of them, */
    uint8_t *bytes;        /* these in planes: [term][group][image][place], */
    uint16_t *planes;      /* and what is taken of those: indices, factors */
    int32_t *tables;       /* of rows of taps, output by output */
    int32_t *sums;         /* [image][row][column] */
} nc_axx__depthwise_memory;

/* Places of a term in planes. */
static size_t nc_axx__term_places(const nc_axx__depthwise_memory *m) {
    return nc__mul_size(nc__mul_size(m->groups, m->images), m->grid.places);
}

/* Returns its size. */
static size_t nc_axx__lay_out_depthwise(const nc_axx__plan *p, void *memory,
                                        nc_axx__depthwise_memory *m) {
    const size_t terms = NC_AXX__DEPTHWISE_TERMS, beyond = NC_AXX__BEYOND;
    nc_axx__arena arena = nc_axx__arena_of(memory);
    const nc_axx__grid g = nc_axx__grid_of(p);
    const size_t maps = g.places < NC_AXX__PILE_PLACES ? NC_AXX__PILE_PLACES / g.places : 1;
    const size_t groups = p->s.groups, all = nc__mul_size(groups, p->s.batch);
    size_t values, places; /* no more for fewer images */
    m->grid = g;
    m->images = nc_axx__larger(maps < p->s.batch ? maps : p->s.batch, 1);
    m->groups = maps / m->images < groups ? maps / m->images : groups;
    m->row = nc__add_size(g.columns, 7) & ~(size_t)7;
    m->band = m->row < NC_AXX__BAND_PLACES ? NC_AXX__BAND_PLACES / m->row : 1;
    m->band = m->band < p->out_h ? m->band : p->out_h;
    m->sums_size = nc__mul_size(m->band + 1, m->row);
    values = nc__mul_size(maps < groups ? maps : groups, nc__mul_size(p->large_h, p->large_w));
    m->cuts = (nc_axx__stripe *)nc_axx__piece(&arena, g.planes_h + g.planes_w, sizeof *m->cuts);
    m->codes = (uint8_t *)nc_axx__piece(&arena, values, 1);
    m->mapped = (uint8_t *)nc_axx__piece(&arena, values, 1);
    places = nc__mul_size(terms * (maps < all ? maps : all), g.places);
    places = nc__add_size(places, g.columns + beyond);
    m->bytes = (uint8_t *)nc_axx__piece(&arena, places, 1);
    m->planes = (uint16_t *)nc_axx__piece(&arena, places, 2);
    m->tables =
        (int32_t *)nc_axx__piece(&arena, p->small_channels * nc_axx__rows_size(p, &g) + beyond, 4);
    m->sums = (int32_t *)nc_axx__piece(
        &arena, nc__add_size(nc__mul_size(m->images, m->sums_size), beyond), 4);
    return nc_axx__arena_bytes(&arena);
}

static void nc_axx__lay_out_conv(const nc_axx_engine *e, const nc_axx__plan *p, void *work,
                                 nc_axx__conv_work *parts) {
    const size_t places = nc__mul_size(p->small_h, p->small_w);
    const size_t all = nc__mul_size(places, nc_axx__together(p));
    const size_t rows = nc__mul_size(all, p->taps);
    const size_t small = nc__mul_size(all, p->small_channels);
    const size_t large = nc__mul_size(nc__mul_size(p->large_h, p->large_w), p->large_channels);
    const size_t operand = nc_axx__operand_bytes(e);
    const size_t as_conv = nc_axx_gemm_work_bytes(e, all, p->small_channels, p->taps);
    const size_t as_transposed = nc_axx_gemm_work_bytes(e, places, p->taps, p->small_channels);
    nc_axx__depthwise_memory memory;
    nc_axx__arena arena = nc_axx__arena_of(work), other;
    parts->columns = nc_axx__piece(&arena, rows, operand);
    parts->small = nc_axx__piece(&arena, small, operand);
    parts->weights = nc_axx__piece(&arena, nc__mul_size(p->taps, p->small_channels), operand);
    other = arena;
    parts->sums = (int32_t *)nc_axx__piece(&arena, rows > small ? rows : small, 4);
    parts->map = (int32_t *)nc_axx__piece(&arena, large, 4);
    parts->gemm =
        (uint8_t *)nc_axx__piece(&arena, as_conv > as_transposed ? as_conv : as_transposed, 1);
    parts->floats = (float *)nc_axx__piece(&other, rows, 4);
    parts->turned = (float *)nc_axx__piece(&other, small, 4);
    parts->w = (float *)nc_axx__piece(&other, nc__mul_size(p->taps, p->small_channels), 4);
    parts->bytes = nc_axx__shared_bytes(&arena, &other);
    parts->is_depthwise = nc_axx__is_depthwise(e, p);
    if (!parts->is_depthwise) return;
    arena = nc_axx__arena_of(work);
    parts->starts = (size_t *)nc_axx__piece(&arena, NC_AXX__DEPTHWISE_TERMS * (p->taps + 1),
                                            sizeof *parts->starts);
    parts->pairs = (int32_t *)nc_axx__piece(
        &arena, nc__mul_size(p->s.out_channels, NC_AXX__DEPTHWISE_TERMS * p->taps), 4);
    parts->slot_bytes = nc_axx__lay_out_depthwise(p, NULL, &memory);
    parts->slot_count = parts->slot_bytes < (1u << 22) ? NC_AXX__LAYER_HANDS : 1;
    parts->slots = (uint8_t *)nc_axx__piece(&arena, parts->slot_count, parts->slot_bytes);
    parts->bytes = nc_axx__larger(parts->bytes, nc_axx__arena_bytes(&arena));
}

/* -- depthwise float32 products: channels as lanes, so that every lane is a chain of its own. A
 * block of channels lies interleaved, a vector for every place; the larger map has zeros around it,
 * which are multiplied as others are. Chains of graphs are fused, those of layers are not -- */

/* Channels of the widest block. */
enum {
#ifdef NC_AXX__X86
    NC_AXX__LANES = 16,
#elif defined(NC__NEON)
    NC_AXX__LANES = 4,
#else
    NC_AXX__LANES = 1,
#endif
    NC_AXX__HANDS = 32 /* threads of a graph at most */
};

/* A block of channels in a thread's memory: large (padded_h x padded_w), small (small_channels x
 * small_h x small_w), weights (small_channels x taps), all x lanes. */
typedef struct nc_axx__channels {
    const nc_axx__plan *p;
    size_t lanes, padded_h, padded_w;
    float *large, *small, *weights, *reals;  /* the last: any of them, channel by channel */
    size_t taps[NC_AXX__DEPTHWISE_TAPS + 1]; /* where the first place reads each, in `large` */
} nc_axx__channels;

/* small += chains over the taps; `places` of a row at once. */
#define NC_AXX__GATHER(V, places, load, store, fma)                                                \
    for (; x + places <= p->small_w; x += places) {                                                \
        V s[places];                                                                               \
        NC_AXX__UNROLL(8)                                                                          \
        for (i = 0; i < places; i++) s[i] = load(to + (x + i) * lanes);                            \
        for (tap = 0; tap < p->taps; tap++) {                                                      \
            const V weight = load(w + tap * lanes);                                                \
            const float *at = from + b->taps[tap] + x * step;                                      \
            NC_AXX__UNROLL(8)                                                                      \
            for (i = 0; i < places; i++) s[i] = fma(weight, load(at + i * step), s[i]);            \
        }                                                                                          \
        NC_AXX__UNROLL(8)                                                                          \
        for (i = 0; i < places; i++) store(to + (x + i) * lanes, s[i]);                            \
    }
/* weights += chains over the places; so many taps at once. */
#define NC_AXX__WEIGH(V, count, load, store, fma)                                                  \
    for (; tap + count <= p->taps; tap += count) {                                                 \
        const float *dy = b->small + c * p->small_h * p->small_w * lanes;                          \
        float *w = b->weights + (c * p->taps + tap) * lanes;                                       \
        V s[count];                                                                                \
        NC_AXX__UNROLL(9)                                                                          \
        for (i = 0; i < count; i++) s[i] = load(w + i * lanes);                                    \
        for (y = 0; y < p->small_h; y++) {                                                         \
            const float *from = b->large + y * row;                                                \
            for (x = 0; x < p->small_w; x++, dy += lanes, from += step) {                          \
                const V one = load(dy);                                                            \
                NC_AXX__UNROLL(9)                                                                  \
                for (i = 0; i < count; i++) s[i] = fma(one, load(from + b->taps[tap + i]), s[i]);  \
            }                                                                                      \
        }                                                                                          \
        NC_AXX__UNROLL(9)                                                                          \
        for (i = 0; i < count; i++) store(w + i * lanes, s[i]);                                    \
    }
/* gather: small += the taps of large by their weights. weigh: weights += small by large's taps.
 * scatter: large += what every place of small adds by the weights, so that each sum takes either
 * its taps in their order, the last row of places first, or the places in theirs. */
#define NC_AXX__DEPTHWISE(name, target, by_place, V, zero, load, store, add, fma)                  \
    target static void nc_axx__gather_##name(const nc_axx__channels *b) {                          \
        const nc_axx__plan *p = b->p;                                                              \
        const size_t lanes = sizeof(V) / 4, step = p->s.stride_w * lanes;                          \
        size_t c, y, tap, i;                                                                       \
        for (c = 0; c < p->small_channels; c++)                                                    \
            for (y = 0; y < p->small_h; y++) {                                                     \
                const float *from = b->large + y * p->s.stride_h * b->padded_w * lanes;            \
                const float *w = b->weights + c * p->taps * lanes;                                 \
                float *to = b->small + (c * p->small_h + y) * p->small_w * lanes;                  \
                size_t x = 0;                                                                      \
                NC_AXX__GATHER(V, 8, load, store, fma)                                             \
                NC_AXX__GATHER(V, 4, load, store, fma)                                             \
                NC_AXX__GATHER(V, 1, load, store, fma)                                             \
            }                                                                                      \
    }                                                                                              \
    target static void nc_axx__scatter_##name(const nc_axx__channels *b) {                         \
        const nc_axx__plan *p = b->p;                                                              \
        const size_t lanes = sizeof(V) / 4, map = p->small_h * p->small_w * lanes;                 \
        size_t c, x, h, i;                                                                         \
        for (h = 0; h < p->small_h; h++)                                                           \
            for (i = 0; i < p->taps; i++) {                                                        \
                const size_t y = by_place ? h : p->small_h - 1 - h;                                \
                const size_t tap = by_place ? p->taps - 1 - i : i;                                 \
                const float *w = b->weights + tap * lanes;                                         \
                const float *from = b->small + y * p->small_w * lanes;                             \
                const V first = load(w);                                                           \
                float *to = b->large + y * p->s.stride_h * b->padded_w * lanes + b->taps[tap];     \
                for (x = 0; x < p->small_w; x++) {                                                 \
                    V sum = fma(first, load(from), zero);                                          \
                    for (c = 1; c < p->small_channels; c++)                                        \
                        sum = fma(load(w + c * p->taps * lanes), load(from + c * map), sum);       \
                    store(to, add(load(to), sum));                                                 \
                    from += lanes;                                                                 \
                    to += p->s.stride_w * lanes;                                                   \
                }                                                                                  \
            }                                                                                      \
    }                                                                                              \
    target static void nc_axx__weigh_##name(const nc_axx__channels *b) {                           \
        const nc_axx__plan *p = b->p;                                                              \
        const size_t lanes = sizeof(V) / 4, step = p->s.stride_w * lanes;                          \
        const size_t row = p->s.stride_h * b->padded_w * lanes;                                    \
        size_t c, y, x, i;                                                                         \
        for (c = 0; c < p->small_channels; c++) {                                                  \
            size_t tap = 0;                                                                        \
            NC_AXX__WEIGH(V, 9, load, store, fma)                                                  \
            NC_AXX__WEIGH(V, 4, load, store, fma)                                                  \
            NC_AXX__WEIGH(V, 1, load, store, fma)                                                  \
        }                                                                                          \
    }

#define NC_AXX__LOAD(at) (*(at))
#define NC_AXX__STORE(at, value) (*(at) = (value))
#define NC_AXX__ADD(a, b) ((a) + (b))
#define NC_AXX__STEP(a, b, c) ((c) + (a) * (b))
#define NC_AXX__STEP_8(a, b, c) _mm256_add_ps(c, _mm256_mul_ps(a, b))
#define NC_AXX__STEP_16(a, b, c) _mm512_add_ps(c, _mm512_mul_ps(a, b))
#define NC_AXX__STEP_4(a, b, c) vaddq_f32(c, vmulq_f32(a, b))
#define NC_AXX__FUSED_4(a, b, c) vfmaq_f32(c, a, b)
#define NC_AXX__ONE(name, by_place, step)                                                          \
    NC_AXX__DEPTHWISE(name, NC_UNUSED, by_place, float, 0.0f, NC_AXX__LOAD, NC_AXX__STORE,         \
                      NC_AXX__ADD, step)
#define NC_AXX__EIGHT(name, by_place, step)                                                        \
    NC_AXX__DEPTHWISE(name, __attribute__((target("avx2,fma"))), by_place, __m256,                 \
                      _mm256_setzero_ps(), _mm256_loadu_ps, _mm256_storeu_ps, _mm256_add_ps, step)
#define NC_AXX__SIXTEEN(name, by_place, step)                                                      \
    NC_AXX__DEPTHWISE(name, NC_AXX__TARGET512, by_place, __m512, _mm512_setzero_ps(),              \
                      _mm512_loadu_ps, _mm512_storeu_ps, _mm512_add_ps, step)
#define NC_AXX__FOUR(name, by_place, step)                                                         \
    NC_AXX__DEPTHWISE(name, NC_UNUSED, by_place, float32x4_t, vdupq_n_f32(0.0f), vld1q_f32,        \
                      vst1q_f32, vaddq_f32, step)
NC_AXX__ONE(1, 1, NC_AXX__STEP)
#if defined(NC_AXX__X86)
NC_AXX__EIGHT(8, 1, NC_AXX__STEP_8)
NC_AXX__SIXTEEN(16, 1, NC_AXX__STEP_16)
#elif defined(NC__NEON)
NC_AXX__FOUR(4, 1, NC_AXX__STEP_4)
#endif
#ifdef NC_AXX_VIT
NC_AXX__ONE(fused_1, 0, fmaf)
#if defined(NC_AXX__X86)
NC_AXX__EIGHT(fused_8, 0, _mm256_fmadd_ps)
NC_AXX__SIXTEEN(fused_16, 0, _mm512_fmadd_ps)
#elif defined(NC__NEON)
NC_AXX__FOUR(fused_4, 0, NC_AXX__FUSED_4)
#endif
#endif
#undef NC_AXX__FOUR
#undef NC_AXX__SIXTEEN
#undef NC_AXX__EIGHT
#undef NC_AXX__ONE
#undef NC_AXX__FUSED_4
#undef NC_AXX__STEP_4
#undef NC_AXX__STEP_16
#undef NC_AXX__STEP_8
#undef NC_AXX__STEP
#undef NC_AXX__ADD
#undef NC_AXX__STORE
#undef NC_AXX__LOAD
#undef NC_AXX__DEPTHWISE
#undef NC_AXX__WEIGH
#undef NC_AXX__GATHER

typedef struct nc_axx__depthwise_kernels {
    size_t lanes;
    void (*gather)(const nc_axx__channels *b);
    void (*scatter)(const nc_axx__channels *b);
    void (*weigh)(const nc_axx__channels *b);
} nc_axx__depthwise_kernels;

/* The kernels of this level. */
#define NC_AXX__KERNELS(lanes, name)                                                               \
    { lanes, nc_axx__gather_##name, nc_axx__scatter_##name, nc_axx__weigh_##name }
static const nc_axx__depthwise_kernels nc_axx__depthwise_plain[] = {
    NC_AXX__KERNELS(1, 1),
#if defined(NC_AXX__X86)
    NC_AXX__KERNELS(8, 8),
    NC_AXX__KERNELS(16, 16),
#elif defined(NC__NEON)
    NC_AXX__KERNELS(4, 4),
#endif
};
#ifdef NC_AXX_VIT
static const nc_axx__depthwise_kernels nc_axx__depthwise_fused[] = {
    NC_AXX__KERNELS(1, fused_1),
#if defined(NC_AXX__X86)
    NC_AXX__KERNELS(8, fused_8),
    NC_AXX__KERNELS(16, fused_16),
#elif defined(NC__NEON)
    NC_AXX__KERNELS(4, fused_4),
#endif
};
#endif
#undef NC_AXX__KERNELS

/* Those for so many channels. */
static nc_axx__depthwise_kernels nc_axx__depthwise_of(const nc_axx__depthwise_kernels *all,
                                                      size_t channels) {
    const size_t level = (size_t)nc_axx__level();
    const size_t last = sizeof nc_axx__depthwise_plain / sizeof *all - 1;
    const size_t i = level < last ? level : last;
    return all[i > 1 && channels < all[i].lanes ? i - 1 : i];
}

/* What all threads share: maps of so many images, weights, and what is wanted (null: not): one of
 * the maps, from the other one or with `add` onto what it holds, and dw += the weights' gradient. A
 * layer has codes of x, the large map or (transposed) the small one, and of the weights. */
typedef struct nc_axx__depthwise_job {
    const nc_axx__plan *p;
    const nc_axx__depthwise_kernels *kernels; /* one for every level */
    nc_axx__depthwise_kernels k;
    size_t images, blocks, slots, slot_floats;
    const float *large, *small, *w;
    float *to_large, *to_small, *dw;
    int add;
    const nc_axx_engine *e;
    const void *codes_large, *codes_small, *codes_w;
    float x_scale;
    const float *w_scale; /* of every smaller channel */
    float whole_scale;    /* of all where that is null */
} nc_axx__depthwise_job;

/* A block's arrays for the widest lanes, with `reals` or without. */
static size_t nc_axx__slot_floats(const nc_axx__plan *p, int reals) {
    const size_t large = nc_axx__padded_places(p);
    const size_t small = nc__mul_size(nc__mul_size(p->small_h, p->small_w), p->small_channels);
    const size_t taps = p->small_channels * p->taps;
    size_t all = nc__add_size(nc__add_size(large, small), taps);
    if (reals)
        all = nc__add_size(
            all, nc_axx__larger(nc__mul_size(p->large_h, p->large_w), nc_axx__larger(small, taps)));
    return nc__mul_size(all, NC_AXX__LANES);
}

/* Whether float32 products go this way. Not a kernel of one tap: its gradient is fused with what is
 * there, and it is a product already. */
static int nc_axx__is_float_depthwise(const nc_axx__plan *p) {
    return p->large_channels == 1 && p->small_channels <= 4 && p->s.groups >= 4 && p->taps > 1 &&
           p->taps <= NC_AXX__DEPTHWISE_TAPS &&
           nc_axx__padded_places(p) <= NC_AXX__DEPTHWISE_PLACES;
}

static nc_axx__channels nc_axx__channels_of(const nc_axx__depthwise_job *job, float *memory) {
    const nc_axx__plan *p = job->p;
    nc_axx__channels b;
    b.p = p;
    b.lanes = job->k.lanes;
    b.padded_h = nc_axx__padded_h(p);
    b.padded_w = nc_axx__padded_w(p);
    b.large = memory;
    b.small = b.large + b.padded_h * b.padded_w * b.lanes;
    b.weights = b.small + p->small_channels * p->small_h * p->small_w * b.lanes;
    b.reals = b.weights + p->small_channels * p->taps * b.lanes;
    nc_axx__tap_starts(p, b.lanes, b.taps);
    return b;
}

/* Channels of a larger map into the block's; with `to` instead the block's into a map. */
static void nc_axx__turn_large(const nc_axx__channels *b, const float *from, float *to,
                               size_t channels) {
    const nc_axx__plan *p = b->p;
    const size_t left = p->s.padding_w, plane = p->large_h * p->large_w;
    const size_t n = nc_axx__inside_w(p);
    size_t y;
    for (y = 0; y < p->large_h && y + p->s.padding_h < b->padded_h && n; y++) {
        float *in = b->large + ((y + p->s.padding_h) * b->padded_w + left) * b->lanes;
        if (to)
            nc_axx__turn_floats(to + y * p->large_w, plane, in, b->lanes, n, channels);
        else
            nc_axx__turn_floats(in, b->lanes, from + y * p->large_w, plane, channels, n);
    }
}

static size_t nc_axx__block_channels(const nc_axx__depthwise_job *job, size_t block) {
    const size_t rest = job->p->s.groups - block * job->k.lanes;
    return rest < job->k.lanes ? rest : job->k.lanes;
}

/* Channels of x from `channel` on as float32, n values each. */
static const float *nc_axx__block_reals(const nc_axx__depthwise_job *job, const nc_axx__channels *b,
                                        const void *codes, size_t channel, size_t channels,
                                        size_t n) {
    nc_axx__reals(job->e, 0, b->reals, nc_axx__from(job->e, codes, channel * n), channels * n,
                  job->x_scale);
    return b->reals;
}

static void nc_axx__load_large(const nc_axx__depthwise_job *job, const nc_axx__channels *b,
                               size_t channel, size_t channels) {
    const size_t n = job->p->large_h * job->p->large_w;
    const float *from = job->large
                            ? job->large + channel * n
                            : nc_axx__block_reals(job, b, job->codes_large, channel, channels, n);
    nc_axx__turn_large(b, from, NULL, channels);
}

static void nc_axx__load_small(const nc_axx__depthwise_job *job, const nc_axx__channels *b,
                               size_t channel, size_t channels) {
    const size_t n = job->p->small_channels * job->p->small_h * job->p->small_w;
    const float *from = job->small
                            ? job->small + channel * n
                            : nc_axx__block_reals(job, b, job->codes_small, channel, channels, n);
    nc_axx__turn_floats(b->small, b->lanes, from, n, channels, n);
}

static void nc_axx__load_weights(const nc_axx__depthwise_job *job, const nc_axx__channels *b,
                                 size_t channel, size_t channels) {
    const size_t taps = job->p->taps, n = job->p->small_channels * taps;
    const float *w = job->w ? job->w + channel * n : b->reals;
    size_t c;
    for (c = 0; c < channels * job->p->small_channels && !job->w; c++) {
        const size_t row = channel * job->p->small_channels + c;
        nc_axx__reals(job->e, 1, b->reals + c * taps,
                      nc_axx__from(job->e, job->codes_w, row * taps), taps,
                      job->w_scale ? job->w_scale[row] : job->whole_scale);
    }
    nc_axx__turn_floats(b->weights, b->lanes, w, n, channels, n);
}

/* The gradient of a block's weights, image by image. */
static void nc_axx__depthwise_weights(const nc_axx__depthwise_job *job, const nc_axx__channels *b,
                                      size_t block) {
    const nc_axx__plan *p = job->p;
    const size_t channels = nc_axx__block_channels(job, block), first = block * b->lanes;
    const size_t taps = p->small_channels * p->taps;
    float *dw = job->dw + first * taps;
    size_t image;
    nc_axx__turn_floats(b->weights, b->lanes, dw, taps, channels, taps);
    for (image = 0; image < job->images; image++) {
        nc_axx__load_large(job, b, image * p->s.groups + first, channels);
        nc_axx__load_small(job, b, image * p->s.groups + first, channels);
        job->k.weigh(b);
    }
    nc_axx__turn_floats(dw, taps, b->weights, b->lanes, taps, channels);
}

/* The wanted map of one image and block. */
static void nc_axx__depthwise_map(const nc_axx__depthwise_job *job, const nc_axx__channels *b,
                                  size_t image, size_t block) {
    const nc_axx__plan *p = job->p;
    const size_t channels = nc_axx__block_channels(job, block), first = block * b->lanes;
    const size_t map = image * p->s.groups + first, places = p->small_h * p->small_w;
    const size_t small = p->small_channels * places, large = p->large_h * p->large_w;
    nc_axx__load_weights(job, b, first, channels);
    if (job->to_small) {
        float *to = job->to_small + map * small;
        nc_axx__load_large(job, b, map, channels);
        memset(b->small, 0, small * b->lanes * sizeof *b->small);
        if (job->add) nc_axx__turn_floats(b->small, b->lanes, to, small, channels, small);
        job->k.gather(b);
        nc_axx__turn_floats(to, small, b->small, b->lanes, small, channels);
    } else {
        float *to = job->to_large + map * large;
        nc_axx__load_small(job, b, map, channels);
        memset(b->large, 0, b->padded_h * b->padded_w * b->lanes * sizeof *b->large);
        if (!job->add) memset(to, 0, channels * large * sizeof *to);
        if (job->add) nc_axx__turn_large(b, to, NULL, channels);
        job->k.scatter(b);
        nc_axx__turn_large(b, NULL, to, channels);
    }
}

/* A thread's share of the job: of the blocks of weights first, which take longer than maps, and
 * whose zeros around the larger map scatter would fill. */
static void nc_axx__depthwise_slot(const nc_axx__depthwise_job *job, size_t slot, float *memory) {
    const nc_axx__channels b = nc_axx__channels_of(job, memory);
    const size_t weights = job->dw ? job->blocks : 0;
    const size_t maps = job->to_large || job->to_small ? job->images * job->blocks : 0;
    size_t i;
    memset(memory, 0, job->slot_floats * sizeof *memory);
    for (i = slot; i < weights + maps; i += job->slots)
        if (i < weights)
            nc_axx__depthwise_weights(job, &b, i);
        else
            nc_axx__depthwise_map(job, &b, (i - weights) / job->blocks,
                                  (i - weights) % job->blocks);
}

/* The whole job, on as many threads as it has slots in memory. */
static void nc_axx__depthwise_run(nc_axx__depthwise_job *job, float *memory) {
    const nc_axx__plan *p = job->p;
    ptrdiff_t slot;
    job->k = nc_axx__depthwise_of(job->kernels, p->s.groups);
    job->blocks = (p->s.groups + job->k.lanes - 1) / job->k.lanes;
    job->slot_floats = nc_axx__slot_floats(p, job->e != NULL);
#ifdef _OPENMP
#pragma omp parallel for schedule(static) if ((double)job->images * (double)p->s.groups *          \
                                                  (double)(p->small_h * p->small_w * p->taps) >    \
                                              1e6)
#endif
    for (slot = 0; slot < (ptrdiff_t)job->slots; slot++)
        nc_axx__depthwise_slot(job, (size_t)slot, memory + (size_t)slot * job->slot_floats);
}

/* Memory of a layer's gradients. */
static size_t nc_axx__depthwise_bytes(const nc_axx__plan *p) {
    return nc__add_size(
        nc__mul_size(nc_axx__slot_floats(p, 1), NC_AXX__LAYER_HANDS * sizeof(float)), 64);
}

NC_API size_t nc_axx_conv_work_bytes(const nc_axx_engine *e, const nc_axx_conv *shape) {
    nc_axx__conv_work parts;
    nc_axx__plan p;
    size_t bytes = 64;
    int transposed;
    for (transposed = 0; transposed < 2; transposed++)
        if (nc_axx__plan_conv(shape, transposed, &p) == NC_OK) {
            nc_axx__lay_out_conv(e, &p, NULL, &parts);
            bytes = nc_axx__larger(bytes, parts.bytes);
            if (nc_axx__is_float_depthwise(&p))
                bytes = nc_axx__larger(bytes, nc_axx__depthwise_bytes(&p));
        }
    return bytes;
}

/* Check the arguments that all four share and lay out the work memory. */
static nc_status nc_axx__begin_conv(const nc_axx_engine *e, const nc_axx_conv *shape,
                                    int transposed, const void *x, const void *w, void *work,
                                    size_t work_bytes, nc_axx__plan *p, nc_axx__conv_work *parts) {
    nc_status status;
    if (!e || !shape || !x || !w) return NC_ERR_ARG;
    status = nc_axx__plan_conv(shape, transposed, p);
    if (status != NC_OK) return status;
    nc_axx__lay_out_conv(e, p, NULL, parts);
    if (!nc_axx__fits(work, work_bytes, parts->bytes)) return NC_ERR_ARG;
    nc_axx__lay_out_conv(e, p, work, parts);
    return NC_OK;
}

/* Where a layer's first operands come from: their bytes, or float32 values, which become bytes of
 * so many bits on the way. */
typedef struct nc_axx__depthwise_input {
    const uint8_t *codes;
    const float *values;
    uint32_t bits;
    float scale;
} nc_axx__depthwise_input;

/* What is taken of a byte: itself (signed or not) or u[byte], times a factor, less an offset. */
typedef struct nc_axx__byte_map {
    int is_mapped, is_signed;
    int32_t factor, offset;
    uint8_t u[256];
} nc_axx__byte_map;

static void nc_axx__make_plain_map(int32_t factor, nc_axx__byte_map *map) {
    memset(map, 0, sizeof *map);
    map->factor = factor;
}

#ifdef NC_AXX__VECTORS
static void nc_axx__make_term_map(const nc_axx__term *term, nc_axx__byte_map *map) {
    int i, is_unsigned = 1;
    map->is_signed = map->factor = 1;
    for (i = 0; i < 256; i++) {
        const int32_t value = term->u[i] - term->u_offset;
        is_unsigned &= value == i;
        map->is_signed &= value == (int8_t)i;
    }
    map->is_mapped = !is_unsigned && !map->is_signed;
    map->offset = map->is_mapped ? term->u_offset : 0;
    memcpy(map->u, term->u, sizeof map->u);
}

/* 16 by 16; returns how many. */
NC_AXX__TARGET static size_t nc_axx__widen_sixteens(const nc_axx__byte_map *map, uint16_t *to,
                                                    const uint8_t *from, size_t n) {
    size_t i = 0;
    for (; i + 16 <= n; i += 16) {
#ifdef NC_AXX__X86
        const __m256i factor = _mm256_set1_epi16((short)map->factor);
        const __m256i offset = _mm256_set1_epi16((short)map->offset);
        const __m128i v = _mm_loadu_si128((const __m128i *)(const void *)(from + i));
        const __m256i wide = map->is_signed ? _mm256_cvtepi8_epi16(v) : _mm256_cvtepu8_epi16(v);
        nc_axx__v_store(to + i, _mm256_sub_epi16(_mm256_mullo_epi16(wide, factor), offset));
#else
        const uint16x8_t offset = vdupq_n_u16((uint16_t)map->offset);
        const uint16_t factor = (uint16_t)map->factor;
        const uint8x16_t v = vld1q_u8(from + i);
        uint16x8_t low = vmovl_u8(vget_low_u8(v)), high = vmovl_u8(vget_high_u8(v));
        if (map->is_signed) {
            low = vreinterpretq_u16_s16(vmovl_s8(vreinterpret_s8_u8(vget_low_u8(v))));
            high = vreinterpretq_u16_s16(vmovl_s8(vreinterpret_s8_u8(vget_high_u8(v))));
        }
        vst1q_u16(to + i, vsubq_u16(vmulq_n_u16(low, factor), offset));
        vst1q_u16(to + i + 8, vsubq_u16(vmulq_n_u16(high, factor), offset));
#endif
    }
    return i;
}
#endif

/* From what `u` makes of the bytes, if it does. */
static void nc_axx__widen_bytes(const nc_axx__byte_map *map, uint16_t *to, const uint8_t *from,
                                size_t n) {
    size_t i = 0;
#ifdef NC_AXX__VECTORS
    if (nc_axx__level() >= 1) i = nc_axx__widen_sixteens(map, to, from, n);
#endif
    for (; i < n; i++) {
        const int32_t v = map->is_signed ? (int8_t)from[i] : (int32_t)from[i];
        to[i] = (uint16_t)(v * map->factor - map->offset);
    }
}

#ifdef NC_AXX__X86
/* u of the bytes, which are looked up in sixteen pieces of which the high bits choose one. */
NC_AXX__INLINE_V __m256i nc_axx__look_up_32(const uint8_t *u, __m256i v) {
    const __m256i low = _mm256_and_si256(v, _mm256_set1_epi8(15));
    __m256i piece[16], bit = _mm256_slli_epi16(v, 3);
    int i, n;
    NC_AXX__UNROLL(16)
    for (i = 0; i < 16; i++)
        piece[i] = _mm256_shuffle_epi8(_mm256_broadcastsi128_si256(_mm_loadu_si128(
                                           (const __m128i *)(const void *)(u + 16 * i))),
                                       low);
    NC_AXX__UNROLL(4)
    for (n = 8; n > 0; n /= 2) {
        NC_AXX__UNROLL(8)
        for (i = 0; i < n; i++) piece[i] = _mm256_blendv_epi8(piece[2 * i], piece[2 * i + 1], bit);
        bit = _mm256_slli_epi16(v, n == 8 ? 2 : n == 4 ? 1 : 0);
    }
    return piece[0];
}

/* 32 by 32; returns how many. */
NC_AXX__TARGET static size_t nc_axx__map_32(const uint8_t *u, uint8_t *to, const uint8_t *from,
                                            size_t n) {
    size_t i = 0;
    for (; i + 32 <= n; i += 32)
        nc_axx__v_store(to + i, nc_axx__look_up_32(u, nc_axx__v_load(from + i)));
    return i;
}
#endif

static void nc_axx__map_bytes(const uint8_t *u, uint8_t *to, const uint8_t *from, size_t n) {
    size_t i = 0;
#ifdef NC_AXX__X86
    if (nc_axx__level() >= 1) i = nc_axx__map_32(u, to, from, n);
#endif
    for (; i < n; i++) to[i] = u[from[i]];
}

/* Rows of bytes. */
static void nc_axx__copy_rows(uint8_t *to, size_t to_step, const uint8_t *from, size_t step,
                              size_t rows, size_t n) {
    size_t r, i;
    for (r = 0; r < rows && n == 4; r++, to += to_step, from += step) memcpy(to, from, 4);
    for (r = 0; r < rows && n == 8; r++, to += to_step, from += step) memcpy(to, from, 8);
    for (r = 0; r < rows && n != 4 && n != 8; r++, to += to_step, from += step) {
        for (i = 0; i + 16 <= n; i += 16) memcpy(to + i, from + i, 16);
        for (; i + 4 <= n; i += 4) memcpy(to + i, from + i, 4);
        for (; i < n; i++) to[i] = from[i];
    }
}

/* Every stride-th byte of those that can be read. */
static void nc_axx__pick_bytes(uint8_t *to, const uint8_t *from, size_t stride, size_t n,
                               size_t readable) {
    size_t i = 0;
#if defined(NC_AXX__X86)
    for (; stride == 2 && i + 16 <= n && 2 * i + 32 <= readable; i += 16) {
        const __m128i even = _mm_set1_epi16(255);
        const __m128i *at = (const __m128i *)(const void *)(from + 2 * i);
        const __m128i a = _mm_and_si128(_mm_loadu_si128(at), even);
        const __m128i b = _mm_and_si128(_mm_loadu_si128(at + 1), even);
        _mm_storeu_si128((__m128i *)(void *)(to + i), _mm_packus_epi16(a, b));
    }
#elif defined(NC__NEON)
    for (; stride == 2 && i + 16 <= n && 2 * i + 32 <= readable; i += 16)
        vst1q_u8(to + i, vld2q_u8(from + 2 * i).val[0]);
#endif
    (void)readable;
    for (; i < n; i++) to[i] = from[i * stride];
}

/* Channels of an image into their planes, which are `step` apart. */
static void nc_axx__fill_planes(const nc_axx__plan *p, const nc_axx__depthwise_memory *m,
                                uint8_t *planes, size_t step, const uint8_t *maps,
                                size_t channels) {
    const nc_axx__grid *g = &m->grid;
    const size_t stride_h = p->s.stride_h, stride_w = p->s.stride_w, wide = p->large_w;
    const size_t map = p->large_h * wide;
    size_t plane, c, k;
    for (plane = 0; plane < g->planes_h * g->planes_w; plane++) {
        const nc_axx__stripe h = m->cuts[plane / g->planes_w];
        const nc_axx__stripe w = m->cuts[g->planes_h + plane % g->planes_w];
        const size_t first = h.from * wide + w.from;
        uint8_t *to = planes + w.to + nc_axx__grid_row(g, plane, h.to);
        for (c = 0; c < channels && stride_w == 1; c++)
            nc_axx__copy_rows(to + c * step, g->columns, maps + c * map + first, stride_h * wide,
                              h.count, w.count);
        for (c = 0; c < channels && stride_w > 1; c++)
            for (k = 0; k < h.count; k++) {
                const size_t at = first + k * stride_h * wide;
                nc_axx__pick_bytes(to + c * step + k * g->columns, maps + c * map + at, stride_w,
                                   w.count, (channels - c) * map - at);
            }
    }
}

/* Sums over the taps by look-ups for a row of places, eight at a time. */
static void nc_axx__look_up_taps(const nc_axx_engine *e, const uint8_t *map, const size_t *starts,
                                 const uint8_t *w, size_t taps, int32_t *sums, size_t n) {
    size_t i = 0, tap;
    for (; i + 8 <= n; i += 8) {
        int32_t a = 0, b = 0, c = 0, d = 0, f = 0, g = 0, h = 0, j = 0;
        for (tap = 0; tap < taps; tap++) {
            const uint8_t *x = map + starts[tap] + i;
            const int32_t *column = e->turned + (size_t)w[tap] * 256;
            a += column[x[0]];
            b += column[x[1]];
            c += column[x[2]];
            d += column[x[3]];
            f += column[x[4]];
            g += column[x[5]];
            h += column[x[6]];
            j += column[x[7]];
        }
        sums[i] = a;
        sums[i + 1] = b;
        sums[i + 2] = c;
        sums[i + 3] = d;
        sums[i + 4] = f;
        sums[i + 5] = g;
        sums[i + 6] = h;
        sums[i + 7] = j;
    }
    for (; i + 4 <= n; i += 4) {
        int32_t a = 0, b = 0, c = 0, d = 0;
        for (tap = 0; tap < taps; tap++) {
            const uint8_t *x = map + starts[tap] + i;
            const int32_t *column = e->turned + (size_t)w[tap] * 256;
            a += column[x[0]];
            b += column[x[1]];
            c += column[x[2]];
            d += column[x[3]];
        }
        sums[i] = a;
        sums[i + 1] = b;
        sums[i + 2] = c;
        sums[i + 3] = d;
    }
    for (; i < n; i++)
        for (sums[i] = 0, tap = 0; tap < taps; tap++)
            sums[i] += e->turned[(size_t)w[tap] * 256 + map[starts[tap] + i]];
}

#ifdef NC_AXX__VECTORS
/* -- vectors of look-ups: T_i[v] has the products of the byte v with the taps of row i, the last
 * first, in lanes. Along a row of the map, sum[x] = sum[x - 1] moved down by a lane + the vectors
 * of a column of the map: its lowest lane is then complete -- */

/* Four columns of the table as rows of four: to[v step] = of[0..3][v]. */
NC_AXX__TARGET static void nc_axx__turn_columns(int32_t *to, size_t step,
                                                const int32_t *const *of) {
    const int32_t *one = of[0], *two = of[1], *three = of[2], *four = of[3];
    size_t v;
    for (v = 0; v < 256; v += 4) {
#ifdef NC_AXX__X86
        const __m128i a = _mm_loadu_si128((const __m128i *)(const void *)(one + v));
        const __m128i b = _mm_loadu_si128((const __m128i *)(const void *)(two + v));
        const __m128i c = _mm_loadu_si128((const __m128i *)(const void *)(three + v));
        const __m128i d = _mm_loadu_si128((const __m128i *)(const void *)(four + v));
        const __m128i low = _mm_unpacklo_epi32(a, b), high = _mm_unpackhi_epi32(a, b);
        const __m128i low_2 = _mm_unpacklo_epi32(c, d), high_2 = _mm_unpackhi_epi32(c, d);
        int32_t *at = to + v * step;
        _mm_storeu_si128((__m128i *)(void *)at, _mm_unpacklo_epi64(low, low_2));
        _mm_storeu_si128((__m128i *)(void *)(at + step), _mm_unpackhi_epi64(low, low_2));
        _mm_storeu_si128((__m128i *)(void *)(at + 2 * step), _mm_unpacklo_epi64(high, high_2));
        _mm_storeu_si128((__m128i *)(void *)(at + 3 * step), _mm_unpackhi_epi64(high, high_2));
#else
        int32x4x4_t all;
        all.val[0] = vld1q_s32(one + v);
        all.val[1] = vld1q_s32(two + v);
        all.val[2] = vld1q_s32(three + v);
        all.val[3] = vld1q_s32(four + v);
        vst4q_lane_s32(to + v * step, all, 0);
        vst4q_lane_s32(to + (v + 1) * step, all, 1);
        vst4q_lane_s32(to + (v + 2) * step, all, 2);
        vst4q_lane_s32(to + (v + 3) * step, all, 3);
#endif
    }
}

/* The tables of an output channel: [plane][four taps of a row][byte][zeros, which are there, then
 * the last row first]. */
static void nc_axx__make_tables(const nc_axx_engine *e, const nc_axx__plan *p,
                                const nc_axx__grid *g, const uint8_t *w, int32_t *table) {
    static const int32_t none[256] = {0};
    const size_t step = nc_axx__rows_step(p), down = p->s.stride_h, along = p->s.stride_w;
    size_t plane, first, i, l;
    for (plane = 0; plane < g->planes_h * g->planes_w; plane++) {
        const size_t y = plane / g->planes_w, x = plane % g->planes_w;
        const size_t rows = nc_axx__taps_in(p->s.kernel_h, down, y);
        const size_t columns = nc_axx__taps_in(p->s.kernel_w, along, x);
        for (first = 0; first < columns; first += 4, table += 256 * step) {
            const size_t taps = columns - first < 4 ? columns - first : 4;
            for (i = 0; i < rows; i++) {
                const uint8_t *row = w + (y + i * down) * p->s.kernel_w + x + first * along;
                const int32_t *of[4] = {none, none, none, none};
                for (l = 0; l < taps; l++)
                    of[l] = e->turned + 256 * (size_t)row[(taps - 1 - l) * along];
                nc_axx__turn_columns(table + 4 * (rows - i), step, of);
            }
        }
    }
}

#ifdef NC_AXX__X86
typedef __m256i nc_axx__rows_sum; /* of a row of places and of the next */

/* The next column's: the first row of the map is the first of the one, those below are two rows of
 * the kernel, one for each, the last one is the last of the other. */
NC_AXX__INLINE_V nc_axx__rows_sum nc_axx__rows_next(nc_axx__rows_sum sum, const uint8_t *table,
                                                    const uint16_t *map, size_t columns,
                                                    size_t kernel_h) {
    __m256i v = _mm256_zextsi128_si256(
        _mm_loadu_si128((const __m128i *)(const void *)(table + 16 * kernel_h + map[0])));
    size_t i;
    NC_AXX__UNROLL(8)
    for (i = 1; i <= kernel_h; i++)
        v = _mm256_add_epi32(v, nc_axx__v_load(table + 16 * (kernel_h - i) + map[i * columns]));
    return _mm256_add_epi32(_mm256_srli_si256(sum, 4), v);
}
NC_AXX__INLINE_V void nc_axx__rows_store(int32_t *sums, size_t row, const nc_axx__rows_sum *s,
                                         int add) {
    const __m256i a = _mm256_unpacklo_epi32(s[0], s[1]), b = _mm256_unpacklo_epi32(s[2], s[3]);
    const __m256i v = _mm256_unpacklo_epi64(a, b);
    __m128i one = _mm256_castsi256_si128(v), two = _mm256_extracti128_si256(v, 1);
    __m128i *to = (__m128i *)(void *)sums, *next = (__m128i *)(void *)(sums + row);
    if (add) {
        one = _mm_add_epi32(one, _mm_loadu_si128(to));
        two = _mm_add_epi32(two, _mm_loadu_si128(next));
    }
    _mm_storeu_si128(to, one);
    _mm_storeu_si128(next, two);
}
NC_AXX__INLINE_V nc_axx__rows_sum nc_axx__rows_zero(void) { return _mm256_setzero_si256(); }
#else
typedef struct nc_axx__rows_sum {
    int32x4_t of[2];
} nc_axx__rows_sum;

NC_AXX__INLINE_V nc_axx__rows_sum nc_axx__rows_next(nc_axx__rows_sum sum, const uint8_t *table,
                                                    const uint16_t *map, size_t columns,
                                                    size_t kernel_h) {
    const int32x4_t zero = vdupq_n_s32(0);
    size_t i;
    sum.of[0] = vextq_s32(sum.of[0], zero, 1);
    sum.of[1] = vextq_s32(sum.of[1], zero, 1);
    for (i = 0; i < kernel_h; i++) {
        const uint8_t *at = table + 16 * (kernel_h - i);
        sum.of[0] =
            vaddq_s32(sum.of[0], vld1q_s32((const int32_t *)(const void *)(at + map[i * columns])));
        sum.of[1] = vaddq_s32(
            sum.of[1], vld1q_s32((const int32_t *)(const void *)(at + map[(i + 1) * columns])));
    }
    return sum;
}
NC_AXX__INLINE_V void nc_axx__rows_store(int32_t *sums, size_t row, const nc_axx__rows_sum *s,
                                         int add) {
    int i;
    for (i = 0; i < 2; i++, sums += row) {
        const int32x4_t a = vzip1q_s32(s[0].of[i], s[1].of[i]);
        const int32x4_t b = vzip1q_s32(s[2].of[i], s[3].of[i]);
        const int32x4_t v = vcombine_s32(vget_low_s32(a), vget_low_s32(b));
        vst1q_s32(sums, add ? vaddq_s32(v, vld1q_s32(sums)) : v);
    }
}
NC_AXX__INLINE_V nc_axx__rows_sum nc_axx__rows_zero(void) {
    nc_axx__rows_sum sum;
    sum.of[0] = sum.of[1] = vdupq_n_s32(0);
    return sum;
}
#endif

/* Two rows of places: sums = or += those over at most four taps of each row of the kernel. */
NC_AXX__INLINE_V void nc_axx__look_up_two(const uint8_t *table, const uint16_t *map, size_t columns,
                                          size_t kernel_h, size_t taps, int add, int32_t *sums,
                                          size_t row, size_t n) {
    nc_axx__rows_sum sum = nc_axx__rows_zero(), s[4];
    size_t x, k;
    for (k = 1; k < taps; k++) sum = nc_axx__rows_next(sum, table, map++, columns, kernel_h);
    for (x = 0; x < n; x += 4) {
        NC_AXX__UNROLL(4)
        for (k = 0; k < 4; k++)
            s[k] = sum = nc_axx__rows_next(sum, table, map + x + k, columns, kernel_h);
        nc_axx__rows_store(sums + x, row, s, add);
    }
}

/* Some rows of places, two by two, over at most four taps of each row of a plane's kernel. */
NC_AXX__TARGET static void nc_axx__look_up_plane(const nc_axx__plan *p,
                                                 const nc_axx__depthwise_memory *m,
                                                 const int32_t *entries, const uint16_t *map,
                                                 size_t kernel_h, size_t taps, int add,
                                                 int32_t *sums, size_t count) {
    const uint8_t *table = (const uint8_t *)(const void *)entries;
    const size_t columns = m->grid.columns, row = m->row, n = p->small_w;
    size_t y;
    for (y = 0; y < count; y += 2, map += 2 * columns, sums += 2 * row) {
        if (kernel_h == 1)
            nc_axx__look_up_two(table, map, columns, 1, taps, add, sums, row, n);
        else if (kernel_h == 2)
            nc_axx__look_up_two(table, map, columns, 2, taps, add, sums, row, n);
        else if (kernel_h == 3)
            nc_axx__look_up_two(table, map, columns, 3, taps, add, sums, row, n);
        else
            nc_axx__look_up_two(table, map, columns, kernel_h, taps, add, sums, row, n);
    }
}

/* The sums of rows of places from h on, plane by plane. */
static void nc_axx__look_up_band(const nc_axx__plan *p, const nc_axx__depthwise_memory *m,
                                 const int32_t *table, const uint16_t *planes, size_t h,
                                 size_t count, int32_t *sums) {
    const nc_axx__grid *g = &m->grid;
    size_t plane, first;
    for (plane = 0; plane < g->planes_h * g->planes_w; plane++) {
        const size_t rows = nc_axx__taps_in(p->s.kernel_h, p->s.stride_h, plane / g->planes_w);
        const size_t columns = nc_axx__taps_in(p->s.kernel_w, p->s.stride_w, plane % g->planes_w);
        const uint16_t *map = planes + nc_axx__grid_row(g, plane, h);
        for (first = 0; first < columns; first += 4, table += 256 * nc_axx__rows_step(p))
            nc_axx__look_up_plane(p, m, table, map + first, rows,
                                  columns - first < 4 ? columns - first : 4, plane > 0 || first > 0,
                                  sums, count);
    }
}

/* -- products: 16 bits each, two taps at a time -- */

/* The weights of all output channels, pair by pair: of every term's taps, and 0 behind the last. */
static void nc_axx__weight_pairs(const nc_axx_engine *e, const nc_axx__plan *p, const uint8_t *w,
                                 int32_t *pairs) {
    const size_t terms = e->info.products, count = (terms * p->taps + 1) / 2;
    size_t r, i, output, tap;
    memset(pairs, 0, p->s.out_channels * count * sizeof *pairs);
    for (r = 0; r < terms; r++) {
        const nc_axx__term *t = &e->terms[r];
        uint32_t of[256];
        for (i = 0; i < 256; i++)
            of[i] = (uint32_t)((t->v[i] + t->v_offset) * t->factor) & UINT16_MAX;
        for (output = 0; output < p->s.out_channels; output++) {
            const uint8_t *from = w + output * p->taps;
            int32_t *to = pairs + output * count;
            for (tap = 0, i = r * p->taps; tap < p->taps; tap++, i++)
                to[i / 2] = (int32_t)((uint32_t)to[i / 2] | of[from[tap]] << (i % 2 ? 16 : 0));
        }
    }
}

#ifdef NC_AXX__X86
typedef struct nc_axx__chains {
    __m256i low, high; /* places 0 to 3 and 8 to 11; the others */
} nc_axx__chains;

NC_AXX__INLINE_V void nc_axx__chains_zero(nc_axx__chains *c) {
    c->low = c->high = _mm256_setzero_si256();
}
NC_AXX__INLINE_V void nc_axx__chains_add(nc_axx__chains *c, const uint16_t *a, const uint16_t *b,
                                         int32_t pair) {
    const __m256i u = nc_axx__v_load(a), v = nc_axx__v_load(b), w = _mm256_set1_epi32(pair);
    c->low = _mm256_add_epi32(c->low, _mm256_madd_epi16(_mm256_unpacklo_epi16(u, v), w));
    c->high = _mm256_add_epi32(c->high, _mm256_madd_epi16(_mm256_unpackhi_epi16(u, v), w));
}
NC_AXX__INLINE_V void nc_axx__chains_store(int32_t *to, const nc_axx__chains *c) {
    nc_axx__v_store(to, _mm256_permute2x128_si256(c->low, c->high, 0x20));
    nc_axx__v_store(to + 8, _mm256_permute2x128_si256(c->low, c->high, 0x31));
}
#else
typedef struct nc_axx__chains {
    int32x4_t of[4];
} nc_axx__chains;

NC_AXX__INLINE_V void nc_axx__chains_zero(nc_axx__chains *c) {
    int q;
    for (q = 0; q < 4; q++) c->of[q] = vdupq_n_s32(0);
}
NC_AXX__INLINE_V void nc_axx__chains_add(nc_axx__chains *c, const uint16_t *a, const uint16_t *b,
                                         int32_t pair) {
    const int16_t one = (int16_t)(uint16_t)((uint32_t)pair & UINT16_MAX);
    const int16_t two = (int16_t)(uint16_t)((uint32_t)pair >> 16);
    int q;
    for (q = 0; q < 4; q++) {
        const int16x4_t u = vreinterpret_s16_u16(vld1_u16(a + 4 * q));
        const int16x4_t v = vreinterpret_s16_u16(vld1_u16(b + 4 * q));
        c->of[q] = vmlal_n_s16(vmlal_n_s16(c->of[q], u, one), v, two);
    }
}
NC_AXX__INLINE_V void nc_axx__chains_store(int32_t *to, const nc_axx__chains *c) {
    int q;
    for (q = 0; q < 4; q++) vst1q_s32(to + 4 * q, c->of[q]);
}
#endif

/* Sums of n places in a row, sixteen at a time. */
NC_AXX__TARGET static void nc_axx__multiply_taps(const uint16_t *map, const size_t *starts,
                                                 const int32_t *pairs, size_t count, int32_t *sums,
                                                 size_t n) {
    nc_axx__chains c[2];
    size_t i = 0, k;
    for (; i + 16 < n; i += 32, map += 32) {
        nc_axx__chains_zero(&c[0]);
        nc_axx__chains_zero(&c[1]);
        for (k = 0; k < count; k++) {
            const uint16_t *a = map + starts[2 * k], *b = map + starts[2 * k + 1];
            nc_axx__chains_add(&c[0], a, b, pairs[k]);
            nc_axx__chains_add(&c[1], a + 16, b + 16, pairs[k]);
        }
        nc_axx__chains_store(sums + i, &c[0]);
        nc_axx__chains_store(sums + i + 16, &c[1]);
    }
    if (i >= n) return;
    nc_axx__chains_zero(&c[0]);
    for (k = 0; k < count; k++)
        nc_axx__chains_add(&c[0], map + starts[2 * k], map + starts[2 * k + 1], pairs[k]);
    nc_axx__chains_store(sums + i, &c[0]);
}
#endif

/* What a thread needs for its channels. */
typedef struct nc_axx__depthwise_task {
    const nc_axx_engine *e;
    const nc_axx__plan *p;
    const nc_axx__depthwise_input *in;
    const size_t *starts;
    const int32_t *pairs;
    size_t pair_count; /* of an output */
    const uint8_t *w;
    const float *w_scale, *bias;
    float *y;
    int way;
    size_t terms; /* of products, else 1 */
    nc_axx__byte_map maps[NC_AXX__DEPTHWISE_TERMS];
} nc_axx__depthwise_task;

/* The images of some groups from their first on. */
typedef struct nc_axx__pile {
    size_t image, images, group, groups;
} nc_axx__pile;

/* Where a term's planes begin, of a group and an image of the pile. */
static size_t nc_axx__planes_at(const nc_axx__depthwise_memory *m, size_t term, size_t group,
                                size_t image) {
    return ((term * m->groups + group) * m->images + image) * m->grid.places;
}

/* A pile's planes. */
static void nc_axx__fill_pile(const nc_axx__depthwise_task *t, const nc_axx__depthwise_memory *m,
                              const nc_axx__pile *pile) {
    const nc_axx__plan *p = t->p;
    const nc_axx__depthwise_input *in = t->in;
    const size_t map = p->large_h * p->large_w, n = pile->groups * map;
    const size_t places = nc_axx__term_places(m);
    size_t i, r;
    for (i = 0; i < pile->images; i++) {
        const size_t at = ((pile->image + i) * p->s.groups + pile->group) * map;
        const uint8_t *codes = in->values ? m->codes : in->codes + at;
        if (in->values)
            nc_axx_quantize((int8_t *)m->codes, in->values + at, n, in->scale, in->bits);
        for (r = 0; r < t->terms; r++) {
            const uint8_t *from = t->maps[r].is_mapped ? m->mapped : codes;
            if (from != codes) nc_axx__map_bytes(t->maps[r].u, m->mapped, codes, n);
            nc_axx__fill_planes(p, m, m->bytes + nc_axx__planes_at(m, r, 0, i),
                                m->images * m->grid.places, from, pile->groups);
        }
    }
    for (r = 0; r < t->terms && t->way != NC_AXX__BY_ONES; r++)
        nc_axx__widen_bytes(&t->maps[r], m->planes + r * places, m->bytes + r * places, places);
}

/* The sums of some rows of places, from h on, of output c of a group whose planes begin at
 * place `at`. */
static void nc_axx__depthwise_sums(const nc_axx__depthwise_task *t,
                                   const nc_axx__depthwise_memory *m, size_t c, size_t output,
                                   size_t at, size_t h, size_t rows, int32_t *sums) {
    const nc_axx__plan *p = t->p;
    const size_t columns = m->grid.columns;
    size_t y;
#ifdef NC_AXX__VECTORS
    if (t->way == NC_AXX__BY_ROWS) {
        nc_axx__look_up_band(p, m, m->tables + c * nc_axx__rows_size(p, &m->grid), m->planes + at,
                             h, rows, sums);
        return;
    }
    if (t->way == NC_AXX__BY_PRODUCTS) {
        nc_axx__multiply_taps(m->planes + at + h * columns, t->starts,
                              t->pairs + output * t->pair_count, t->pair_count, sums,
                              (rows - 1) * columns + p->small_w);
        return;
    }
#endif
    (void)c;
    for (y = 0; y < rows; y++)
        nc_axx__look_up_taps(t->e, m->bytes + at + (h + y) * columns, t->starts,
                             t->w + output * p->taps, p->taps, sums + y * m->row, p->small_w);
}

/* The values of output c of a pile's group, whose first output is `first`. */
static void nc_axx__depthwise_output(const nc_axx__depthwise_task *t,
                                     const nc_axx__depthwise_memory *m, const nc_axx__pile *pile,
                                     size_t group, size_t c) {
    const nc_axx__plan *p = t->p;
    const size_t output = (pile->group + group) * p->small_channels + c, wide = p->out_w;
    const size_t step = t->way == NC_AXX__BY_PRODUCTS ? m->grid.columns : m->row;
    const float scale = t->in->scale * t->w_scale[output], bias = t->bias ? t->bias[output] : 0.0f;
    size_t h, rows, i;
    for (h = 0; h < p->out_h; h += rows) {
        rows = p->out_h - h < m->band ? p->out_h - h : m->band;
        for (i = 0; i < pile->images; i++)
            nc_axx__depthwise_sums(t, m, c, output, nc_axx__planes_at(m, 0, group, i), h, rows,
                                   m->sums + i * m->sums_size);
        for (i = 0; i < pile->images; i++)
            nc_axx__rows_values(
                t->y + (((pile->image + i) * p->s.out_channels + output) * p->out_h + h) * wide,
                m->sums + i * m->sums_size, rows, wide, step, scale, bias);
    }
}

/* A group's tables. */
static void nc_axx__depthwise_tables(const nc_axx__depthwise_task *t,
                                     const nc_axx__depthwise_memory *m, size_t group) {
#ifdef NC_AXX__VECTORS
    const nc_axx__plan *p = t->p;
    size_t c;
    for (c = 0; c < p->small_channels && t->way == NC_AXX__BY_ROWS; c++)
        nc_axx__make_tables(t->e, p, &m->grid, t->w + (group * p->small_channels + c) * p->taps,
                            m->tables + c * nc_axx__rows_size(p, &m->grid));
#endif
    (void)t;
    (void)m;
    (void)group;
}

/* What is there before the first channel: the values around a map, zeros of the tables. */
static void nc_axx__depthwise_begin(const nc_axx__depthwise_task *t,
                                    const nc_axx__depthwise_memory *m) {
    const nc_axx__plan *p = t->p;
    const nc_axx__grid *g = &m->grid;
    const size_t places = nc_axx__term_places(m), tables = nc_axx__rows_size(p, g);
    size_t r, i;
    for (r = 0; r < t->terms; r++)
        memset(m->bytes + r * places, t->maps[r].is_mapped ? t->maps[r].u[0] : 0, places);
    memset(m->planes + r * places, 0, (g->columns + NC_AXX__BEYOND) * sizeof *m->planes);
    if (t->way == NC_AXX__BY_ROWS)
        memset(m->tables, 0, (p->small_channels * tables + NC_AXX__BEYOND) * sizeof *m->tables);
    for (i = 0; i < g->planes_h; i++)
        m->cuts[i] = nc_axx__stripe_of(i, p->s.stride_h, p->s.padding_h, p->large_h, g->rows);
    for (i = 0; i < g->planes_w; i++)
        m->cuts[g->planes_h + i] =
            nc_axx__stripe_of(i, p->s.stride_w, p->s.padding_w, p->large_w, g->columns);
}

/* A thread's share: of the blocks of groups, each with all its piles of images. */
static void nc_axx__depthwise_share(const nc_axx__depthwise_task *t,
                                    const nc_axx__depthwise_memory *m, size_t begin, size_t end) {
    const nc_axx__plan *p = t->p;
    const size_t piles = (p->s.batch + m->images - 1) / m->images;
    size_t i, group, c, now = SIZE_MAX;
    if (begin == end) return;
    nc_axx__depthwise_begin(t, m);
    for (i = begin; i < end; i++) {
        nc_axx__pile pile;
        pile.image = i % piles * m->images;
        pile.images = p->s.batch - pile.image < m->images ? p->s.batch - pile.image : m->images;
        pile.group = i / piles * m->groups;
        pile.groups = p->s.groups - pile.group < m->groups ? p->s.groups - pile.group : m->groups;
        nc_axx__fill_pile(t, m, &pile);
        for (group = 0; group < pile.groups; group++) {
            if (pile.group + group != now) nc_axx__depthwise_tables(t, m, pile.group + group);
            now = pile.group + group;
            for (c = 0; c < p->small_channels; c++) nc_axx__depthwise_output(t, m, &pile, group, c);
        }
    }
}

/* What all threads share. */
static void nc_axx__depthwise_prepare(nc_axx__depthwise_task *t, const nc_axx__conv_work *parts,
                                      const nc_axx__depthwise_memory *m) {
    const nc_axx__plan *p = t->p;
    size_t i;
    t->way = nc_axx__depthwise_way(t->e, p);
    t->terms = t->way == NC_AXX__BY_PRODUCTS ? t->e->info.products : 1;
    t->starts = parts->starts;
    t->pairs = parts->pairs;
    t->pair_count = (t->terms * p->taps + 1) / 2;
    nc_axx__make_plain_map(t->way == NC_AXX__BY_ROWS ? (int32_t)(4 * nc_axx__rows_step(p)) : 1,
                           t->maps);
#ifdef NC_AXX__VECTORS
    for (i = 0; i < t->terms && t->way == NC_AXX__BY_PRODUCTS; i++)
        nc_axx__make_term_map(&t->e->terms[i], &t->maps[i]);
    if (t->way == NC_AXX__BY_PRODUCTS) nc_axx__weight_pairs(t->e, p, t->w, parts->pairs);
#endif
    nc_axx__grid_starts(p, &m->grid, parts->starts);
    for (i = p->taps; i < t->terms * p->taps; i++)
        parts->starts[i] = parts->starts[i - p->taps] + nc_axx__term_places(m);
    parts->starts[i] = parts->starts[i - 1];
}

/* All images and groups. */
static nc_status nc_axx__depthwise_maps(const nc_axx_engine *e, const nc_axx__plan *p,
                                        const nc_axx__conv_work *parts,
                                        const nc_axx__depthwise_input *in, const uint8_t *w,
                                        const float *w_scale, const float *bias, float *y) {
    const size_t slots = nc_axx__hands(parts->slot_count);
    nc_axx__depthwise_memory memory;
    nc_axx__depthwise_task t;
    size_t all;
    ptrdiff_t slot;
    if ((uint64_t)e->info.largest > (uint64_t)INT32_MAX / p->taps) return NC_ERR_LIMIT;
    t.e = e;
    t.p = p;
    t.in = in;
    t.w = w;
    t.w_scale = w_scale;
    t.bias = bias;
    t.y = y;
    (void)nc_axx__lay_out_depthwise(p, NULL, &memory);
    nc_axx__depthwise_prepare(&t, parts, &memory);
    all = (p->s.groups + memory.groups - 1) / memory.groups *
          ((p->s.batch + memory.images - 1) / memory.images);
#ifdef _OPENMP
#pragma omp parallel for schedule(static) if ((double)p->s.batch * (double)p->s.out_channels *     \
                                                  (double)(p->out_h * p->out_w * p->taps) >        \
                                              1e6)
#endif
    for (slot = 0; slot < (ptrdiff_t)slots; slot++) {
        nc_axx__depthwise_memory m;
        (void)nc_axx__lay_out_depthwise(p, parts->slots + (size_t)slot * parts->slot_bytes, &m);
        nc_axx__depthwise_share(&t, &m, all * (size_t)slot / slots,
                                all * ((size_t)slot + 1) / slots);
    }
    return NC_OK;
}

/* The products of some images, `image` the first, and a group. */
static nc_status nc_axx__conv_group(const nc_axx_engine *e, const nc_axx__plan *p,
                                    const nc_axx__conv_work *parts, const void *x, float x_scale,
                                    const void *w, const float *w_scale, const float *bias,
                                    float *y, size_t image, size_t images, size_t group) {
    const size_t places = p->small_h * p->small_w, channels = p->small_channels;
    const size_t large = p->large_channels * p->large_h * p->large_w, groups = p->s.groups;
    const size_t first = group * channels, map = image * groups + group;
    size_t i;
    nc_status status;
    nc_axx__gather(e, p, parts->columns, nc_axx__from(e, x, map * large), images, groups * large);
    status = nc_axx_gemm(e, parts->columns, nc_axx__from(e, w, first * p->taps), parts->sums,
                         images * places, channels, p->taps, parts->gemm,
                         nc_axx_gemm_work_bytes(e, images * places, channels, p->taps));
    for (i = 0; i < images && status == NC_OK; i++)
        nc_axx__values_of(y + (map + i * groups) * channels * places,
                          parts->sums + i * places * channels, places, channels, x_scale,
                          w_scale + first, bias ? bias + first : NULL, 1);
    return status;
}

NC_API nc_status nc_axx_conv2d(const nc_axx_engine *e, const nc_axx_conv *shape, const void *x,
                               float x_scale, const void *w, const float *w_scale,
                               const float *bias, float *y, void *work, size_t work_bytes) {
    nc_axx__plan p;
    nc_axx__conv_work parts;
    size_t image, images, group;
    nc_status status = nc_axx__begin_conv(e, shape, 0, x, w, work, work_bytes, &p, &parts);
    if (status != NC_OK) return status;
    if (!w_scale || !y) return NC_ERR_ARG;
    if (parts.is_depthwise) {
        nc_axx__depthwise_input in;
        in.codes = (const uint8_t *)x;
        in.values = NULL;
        in.bits = 8;
        in.scale = x_scale;
        return nc_axx__depthwise_maps(e, &p, &parts, &in, (const uint8_t *)w, w_scale, bias, y);
    }
    for (image = 0; image < p.s.batch && status == NC_OK; image += images) {
        const size_t left = p.s.batch - image;
        images = nc_axx__together(&p);
        images = images < left ? images : left;
        for (group = 0; group < p.s.groups && status == NC_OK; group++)
            status = nc_axx__conv_group(e, &p, &parts, x, x_scale, w, w_scale, bias, y, image,
                                        images, group);
    }
    return status;
}

#ifdef NC_AXX_VIT
/* The same of a depthwise layer and float32 values, which are quantised on the way. */
static nc_status nc_axx__conv2d_values(const nc_axx_engine *e, const nc_axx_conv *shape,
                                       const float *x, float x_scale, uint32_t bits,
                                       const uint8_t *w, const float *w_scale, const float *bias,
                                       float *y, void *work, size_t work_bytes) {
    nc_axx__depthwise_input in;
    nc_axx__plan p;
    nc_axx__conv_work parts;
    nc_status status = nc_axx__begin_conv(e, shape, 0, x, w, work, work_bytes, &p, &parts);
    if (status != NC_OK) return status;
    in.codes = NULL;
    in.values = x;
    in.bits = bits;
    in.scale = x_scale;
    return nc_axx__depthwise_maps(e, &p, &parts, &in, w, w_scale, bias, y);
}
#endif

/* db[c] += sums over the images' places. */
static void nc_axx__bias_gradient(float *db, const float *dy, size_t batch, size_t channels,
                                  size_t places) {
    size_t image, c, i;
    for (image = 0; image < batch; image++)
        for (c = 0; c < channels; c++)
            for (i = 0; i < places; i++) db[c] += dy[(image * channels + c) * places + i];
}

/* What a layer's gradients are computed from, all but the scales of the weights. x is the large map
 * or (transposed) the small one. */
static nc_axx__depthwise_job nc_axx__depthwise_layer(const nc_axx_engine *e, const nc_axx__plan *p,
                                                     int transposed, const void *x, float x_scale,
                                                     const void *w, const float *dy) {
    nc_axx__depthwise_job job;
    memset(&job, 0, sizeof job);
    job.p = p;
    job.kernels = nc_axx__depthwise_plain;
    job.images = p->s.batch;
    job.slots = nc_axx__hands(NC_AXX__LAYER_HANDS);
    job.e = e;
    *(transposed ? &job.codes_small : &job.codes_large) = x;
    *(transposed ? &job.large : &job.small) = dy;
    job.codes_w = w;
    job.x_scale = x_scale;
    return job;
}

static nc_status nc_axx__depthwise_back(nc_axx__depthwise_job *job, float *dx, float *dw, float *db,
                                        void *work, size_t work_bytes) {
    const nc_axx__plan *p = job->p;
    const float *dy = job->codes_small ? job->large : job->small;
    nc_axx__arena arena = nc_axx__arena_of(work);
    if (!nc_axx__fits(work, work_bytes, nc_axx__depthwise_bytes(p))) return NC_ERR_ARG;
    *(job->codes_small ? &job->to_small : &job->to_large) = dx;
    job->dw = dw;
    nc_axx__depthwise_run(job, (float *)nc_axx__piece(&arena, NC_AXX__LAYER_HANDS,
                                                      sizeof(float) * nc_axx__slot_floats(p, 1)));
    if (db) nc_axx__bias_gradient(db, dy, p->s.batch, p->s.out_channels, p->out_h * p->out_w);
    return NC_OK;
}

NC_API nc_status nc_axx_conv2d_backward(const nc_axx_engine *e, const nc_axx_conv *shape,
                                        const void *x, float x_scale, const void *w,
                                        const float *w_scale, const float *dy, float *dx, float *dw,
                                        float *db, void *work, size_t work_bytes) {
    nc_axx__plan p;
    nc_axx__conv_work parts;
    nc_axx__strided left;
    size_t image, group, places, c, i;
    nc_status status = nc_axx__begin_conv(e, shape, 0, x, w, work, work_bytes, &p, &parts);
    if (status != NC_OK) return status;
    if (!w_scale || !dy) return NC_ERR_ARG;
    places = p.small_h * p.small_w;
    if (nc_axx__is_float_depthwise(&p)) {
        nc_axx__depthwise_job job = nc_axx__depthwise_layer(e, &p, 0, x, x_scale, w, dy);
        job.w_scale = w_scale;
        return nc_axx__depthwise_back(&job, dx, dw, db, work, work_bytes);
    }
    for (image = 0; image < p.s.batch; image++)
        for (group = 0; group < p.s.groups; group++) {
            const size_t map = image * p.s.groups + group, first = group * p.small_channels;
            const size_t large = p.large_channels * p.large_h * p.large_w;
            const void *from = nc_axx__from(e, x, map * large);
            const float *dmap = dy + map * p.small_channels * places;
            float *to = dx ? dx + map * large : NULL;
            if (dx) {
                for (c = 0; c < p.small_channels; c++)
                    nc_axx__reals(e, 1, parts.w + c * p.taps,
                                  nc_axx__from(e, w, (first + c) * p.taps), p.taps,
                                  w_scale[first + c]);
                left = nc_axx__transposed(dmap, places);
                nc_axx__sgemm(&left, parts.w, parts.floats, places, p.taps, p.small_channels, 1);
                memset(to, 0, large * sizeof *to);
                for (i = 0; i < p.small_h; i++)
                    nc_axx__scatter_floats(&p, i, parts.floats + i * p.small_w * p.taps, to);
            }
            if (dw) {
                nc_axx__gather(e, &p, parts.columns, from, 1, 0);
                nc_axx__reals(e, 0, parts.floats, parts.columns, places * p.taps, x_scale);
                left = nc_axx__plain(dmap, places);
                nc_axx__sgemm(&left, parts.floats, dw + first * p.taps, p.small_channels, p.taps,
                              places, 0);
            }
        }
    if (db) nc_axx__bias_gradient(db, dy, p.s.batch, p.s.out_channels, places);
    return NC_OK;
}

NC_API nc_status nc_axx_conv2d_transposed(const nc_axx_engine *e, const nc_axx_conv *shape,
                                          const void *x, float x_scale, const void *w,
                                          float w_scale, const float *bias, float *y, void *work,
                                          size_t work_bytes) {
    nc_axx__plan p;
    nc_axx__conv_work parts;
    size_t image, group, places, large, c, i;
    nc_status status = nc_axx__begin_conv(e, shape, 1, x, w, work, work_bytes, &p, &parts);
    if (status != NC_OK) return status;
    if (!y) return NC_ERR_ARG;
    /* the sum of a place: at most the taps of a kernel in all input channels of the group */
    if ((uint64_t)e->info.largest * p.small_channels >
        (uint64_t)INT32_MAX / (p.s.kernel_h * p.s.kernel_w))
        return NC_ERR_LIMIT;
    places = p.small_h * p.small_w;
    large = p.large_h * p.large_w;
    for (image = 0; image < p.s.batch; image++)
        for (group = 0; group < p.s.groups; group++) {
            const size_t map = image * p.s.groups + group;
            const void *from = nc_axx__from(e, x, map * p.small_channels * places);
            float *to = y + map * p.large_channels * large;
            (void)nc_axx__turn(parts.small, from, places, p.small_channels,
                               nc_axx__operand_bytes(e));
            (void)nc_axx__turn(parts.weights, nc_axx__from(e, w, group * p.small_channels * p.taps),
                               p.taps, p.small_channels, nc_axx__operand_bytes(e));
            status = nc_axx_gemm(e, parts.small, parts.weights, parts.sums, places, p.taps,
                                 p.small_channels, parts.gemm,
                                 nc_axx_gemm_work_bytes(e, places, p.taps, p.small_channels));
            if (status != NC_OK) return status;
            memset(parts.map, 0, p.large_channels * large * sizeof *parts.map);
            for (i = 0; i < p.small_h; i++)
                nc_axx__scatter_sums(&p, i, parts.sums + i * p.small_w * p.taps, parts.map);
            for (c = 0; c < p.large_channels; c++)
                nc_axx__rows_values(to + c * large, parts.map + c * large, 1, large, large,
                                    x_scale * w_scale,
                                    bias ? bias[group * p.large_channels + c] : 0.0f);
        }
    return NC_OK;
}

NC_API nc_status nc_axx_conv2d_transposed_backward(const nc_axx_engine *e, const nc_axx_conv *shape,
                                                   const void *x, float x_scale, const void *w,
                                                   float w_scale, const float *dy, float *dx,
                                                   float *dw, float *db, void *work,
                                                   size_t work_bytes) {
    nc_axx__plan p;
    nc_axx__conv_work parts;
    nc_axx__strided left;
    size_t image, group, places, large, tap, c, i;
    nc_status status = nc_axx__begin_conv(e, shape, 1, x, w, work, work_bytes, &p, &parts);
    if (status != NC_OK) return status;
    if (!dy) return NC_ERR_ARG;
    places = p.small_h * p.small_w;
    large = p.large_channels * p.large_h * p.large_w;
    if (nc_axx__is_float_depthwise(&p)) {
        nc_axx__depthwise_job job = nc_axx__depthwise_layer(e, &p, 1, x, x_scale, w, dy);
        job.whole_scale = w_scale;
        return nc_axx__depthwise_back(&job, dx, dw, db, work, work_bytes);
    }
    for (image = 0; image < p.s.batch; image++)
        for (group = 0; group < p.s.groups; group++) {
            const size_t map = image * p.s.groups + group;
            const void *weights = nc_axx__from(e, w, group * p.small_channels * p.taps);
            const float *dmap = dy + map * large;
            for (i = 0; i < p.small_h; i++)
                nc_axx__gather_floats(&p, i, parts.floats + i * p.small_w * p.taps, dmap);
            if (dw) { /* (channels x places) (places x taps) */
                nc_axx__reals(e, 0, parts.turned,
                              nc_axx__from(e, x, map * p.small_channels * places),
                              p.small_channels * places, x_scale);
                left = nc_axx__plain(parts.turned, places);
                nc_axx__sgemm(&left, parts.floats, dw + group * p.small_channels * p.taps,
                              p.small_channels, p.taps, places, 0);
            }
            if (!dx) continue;
            nc_axx__reals(e, 1, parts.w, weights, p.small_channels * p.taps, w_scale);
            for (c = 0; c < p.small_channels; c++)
                for (i = 0; i < places; i++) {
                    float sum = 0.0f;
                    for (tap = 0; tap < p.taps; tap++)
                        sum += parts.floats[i * p.taps + tap] * parts.w[c * p.taps + tap];
                    dx[(map * p.small_channels + c) * places + i] = sum;
                }
        }
    if (db) nc_axx__bias_gradient(db, dy, p.s.batch, p.s.out_channels, p.large_h * p.large_w);
    return NC_OK;
}

/* >>data ======================================================================== */

#ifdef NC_AXX_VIT
NC__COLD_BEGIN

/* -- files -- */

/* What is read goes here first, so that a failure leaves the caller's images alone. */
typedef struct nc_axx__data_reader {
    nc_axx_data_options how;
    const uint8_t *data, *labels;
    size_t bytes, label_bytes;
    nc__buffer pixels;
    nc__buffer classes; /* a uint32_t for every image */
    nc_axx_data found;  /* all but the arrays */
    nc_error *err;
} nc_axx__data_reader;

static void nc_axx__data_shape(nc_axx__data_reader *r, uint32_t channels, uint32_t height,
                               uint32_t width) {
    r->found.channels = channels;
    r->found.height = height;
    r->found.width = width;
}

/* An image's label; its pixels are added by the caller. */
static void nc_axx__data_label(nc_axx__data_reader *r, uint32_t label) {
    nc__buffer_put(&r->classes, &label, sizeof label);
    if (label >= r->found.classes) r->found.classes = label + 1;
    r->found.count++;
}

/* Whether as many images have been read as were wanted. */
static int nc_axx__data_enough(const nc_axx__data_reader *r) {
    return r->how.most && r->found.count >= r->how.most;
}

enum { NC_AXX__CIFAR_PIXELS = 3 * 32 * 32 };

/* Bytes of a record, the label's place among them and the number of classes. */
static size_t nc_axx__cifar_record(int fine, uint32_t *classes) {
    *classes = fine ? 100 : 10;
    return (fine ? 2 : 1) + (size_t)NC_AXX__CIFAR_PIXELS;
}

static nc_status nc_axx__read_cifar(nc_axx__data_reader *r) {
    const int fine = r->how.form == NC_AXX_DATA_CIFAR100;
    uint32_t classes;
    const size_t record = nc_axx__cifar_record(fine, &classes);
    const uint8_t *at = r->data;
    if (r->bytes == 0 || r->bytes % record)
        return nc__fail(r->err, NC_ERR_FORMAT, 0, 0,
                        "%llu bytes are %llu records of CIFAR-%u (%u bytes) and %u bytes more: cut "
                        "off, or not the binary version?",
                        (unsigned long long)r->bytes, (unsigned long long)(r->bytes / record),
                        (unsigned)classes, (unsigned)record, (unsigned)(r->bytes % record));
    nc_axx__data_shape(r, 3, 32, 32);
    for (; at < r->data + r->bytes && !nc_axx__data_enough(r); at += record) {
        if (at[fine] >= classes)
            return nc__fail(r->err, NC_ERR_FORMAT, 0, 0,
                            "record %llu: label %u, but CIFAR-%u has 0 to %u: damaged?",
                            (unsigned long long)r->found.count + 1, (unsigned)at[fine],
                            (unsigned)classes, (unsigned)classes - 1);
        nc__buffer_put(&r->pixels, at + fine + 1, NC_AXX__CIFAR_PIXELS);
        nc_axx__data_label(r, at[fine]);
    }
    r->found.classes = classes;
    return NC_OK;
}

static uint32_t nc_axx__data_be32(const uint8_t *at) {
    return (uint32_t)at[0] << 24 | (uint32_t)at[1] << 16 | (uint32_t)at[2] << 8 | at[3];
}

/* Whether bytes begin as an IDX file does: two zeros, a type, 1 to 4 dimensions. */
static int nc_axx__is_idx(const uint8_t *data, size_t bytes) {
    return bytes >= 4 && data[0] == 0 && data[1] == 0 && data[2] >= 8 && data[2] <= 14 &&
           data[3] >= 1 && data[3] <= 4;
}

/* The sizes of an IDX file of bytes in so many dimensions, which fill it exactly. */
static nc_status nc_axx__idx_sizes(nc_axx__data_reader *r, const char *what, const uint8_t *data,
                                   size_t bytes, unsigned dimensions, uint32_t *size) {
    uint64_t all = 1;
    unsigned k;
    if (!nc_axx__is_idx(data, bytes))
        return nc__fail(r->err, NC_ERR_FORMAT, 0, 0, "the %s are no IDX file", what);
    if (data[2] != 8)
        return nc__fail(r->err, NC_ERR_UNSUPPORTED, 0, 0,
                        "the %s are IDX of type 0x%02X; bytes (0x08) are read", what,
                        (unsigned)data[2]);
    if (data[3] != dimensions)
        return nc__fail(r->err, NC_ERR_UNSUPPORTED, 0, 0, "the %s have %u dimensions, not %u%s",
                        what, (unsigned)data[3], dimensions,
                        data[3] == 1 ? ": name the file of the images" : "");
    for (k = 0; k < dimensions && 4 + 4 * (size_t)k + 4 <= bytes; k++) {
        size[k] = nc_axx__data_be32(data + 4 + 4 * k);
        if (size[k] && all > UINT64_MAX / size[k]) break;
        all *= size[k];
    }
    if (k < dimensions || all != bytes - 4 - 4 * (size_t)dimensions || all == 0)
        return nc__fail(r->err, NC_ERR_FORMAT, 0, 0,
                        "the %s are %llu bytes long, which is not what their sizes say: cut off?",
                        what, (unsigned long long)bytes);
    return NC_OK;
}

static nc_status nc_axx__read_idx(nc_axx__data_reader *r) {
    uint32_t size[3], labels, i;
    nc_status status = nc_axx__idx_sizes(r, "images", r->data, r->bytes, 3, size);
    if (status == NC_OK && !r->labels)
        return nc__fail(r->err, NC_ERR_ARG, 0, 0, "images of IDX need the file of their labels");
    if (status == NC_OK)
        status = nc_axx__idx_sizes(r, "labels", r->labels, r->label_bytes, 1, &labels);
    if (status != NC_OK) return status;
    if (labels != size[0])
        return nc__fail(r->err, NC_ERR_MISMATCH, 0, 0, "%u images, but %u labels",
                        (unsigned)size[0], (unsigned)labels);
    nc_axx__data_shape(r, 1, size[1], size[2]);
    for (i = 0; i < labels && !nc_axx__data_enough(r); i++) {
        const size_t each = (size_t)size[1] * size[2];
        nc__buffer_put(&r->pixels, r->data + 16 + i * each, each);
        nc_axx__data_label(r, r->labels[8 + i]);
    }
    return NC_OK;
}

/* -- CSV of images -- */

/* Behind a value: over blanks and one mark; 0 at the end of the line. */
static int nc_axx__data_next(nc__text *t) {
    const char *start = t->at;
    int c;
    nc_axx__skip_blanks(t);
    c = nc__peek(t, 0);
    if (c == ',' || c == ';') {
        t->at++;
        nc_axx__skip_blanks(t);
        return 1;
    }
    if (c < 0 || c == '\n' || c == '\r' || c == '#') return 0;
    if (t->at == start) (void)nc__text_fail(t, NC_ERR_FORMAT, "expected ',' or the end of a line");
    return 1;
}

/* Whether a column of this name holds labels. */
static int nc_axx__data_is_label(const char *name, size_t bytes) {
    static const char *const names[] = {"label", "labels", "class", "target", "y"};
    size_t i, k;
    for (i = 0; i < sizeof names / sizeof *names; i++) {
        for (k = 0; k < bytes && names[i][k] && (name[k] | 32) == names[i][k]; k++) {
        }
        if (k == bytes && !names[i][k]) return 1;
    }
    return 0;
}

/* What ends a name in the line that the text stands at: names may have blanks in them where other
 * marks stand between them. */
static const char *nc_axx__data_marks(nc__text t) {
    int c, quoted = 0;
    for (; (c = nc__peek(&t, 0)) > 0 && c != '\r' && c != '\n'; t.at++) {
        quoted ^= c == '"';
        if (!quoted && strchr(",;\t", c)) return ",;\t\r\n";
    }
    return " \r\n";
}

/* A line of names: which of them is the label's column, from 1 on; 0: none. */
static int32_t nc_axx__data_names(nc__text *t) {
    const char *marks = nc_axx__data_marks(*t);
    int32_t column = 1, label = 0;
    do {
        const int quote = nc__peek(t, 0) == '"';
        const char *name = t->at += quote;
        int c;
        while ((c = nc__peek(t, 0)) >= 0 && (quote ? c != '"' : !strchr(marks, c)) && c != '\n')
            t->at++;
        if (nc_axx__data_is_label(name, (size_t)(t->at - name))) {
            if (label) (void)nc__text_fail(t, NC_ERR_FORMAT, "two columns are called a label");
            label = column;
        }
        if (quote && nc__peek(t, 0) == '"') t->at++;
        column++;
    } while (nc_axx__data_next(t));
    return label;
}

/* One value of a line: a pixel or, with most 65,535, a label. */
static uint32_t nc_axx__data_value(nc__text *t, uint32_t most, const char *what) {
    const nc__text start = *t;
    const int64_t value = nc_axx__csv_number(t);
    if (t->status == NC_OK && (value < 0 || value > (int64_t)most)) {
        *t = start;
        (void)nc__text_fail(t, value < 0 ? NC_ERR_FORMAT : NC_ERR_LIMIT,
                            "the %s %lld is not in 0 to %u", what, (long long)value,
                            (unsigned)most);
        return 0;
    }
    return (uint32_t)value;
}

/* The shape of images of so many pixels. */
static nc_status nc_axx__data_csv_shape(nc_axx__data_reader *r, nc__text *t, uint64_t pixels) {
    const uint32_t channels = r->how.channels ? r->how.channels : 1;
    uint32_t height = r->how.height, width = r->how.width;
    if (!height && !width) {
        while ((uint64_t)height * height * channels < pixels && height < 32768) height++;
        width = height;
    }
    if (!height) height = width;
    if (!width) width = height;
    if (pixels == 0 || pixels % channels || (uint64_t)height * width != pixels / channels)
        return nc__text_fail(t, NC_ERR_MISMATCH,
                             "a label and %llu values are no images of %u x %u x %u: say channels, "
                             "height and width",
                             (unsigned long long)pixels, (unsigned)channels, (unsigned)height,
                             (unsigned)width);
    nc_axx__data_shape(r, channels, height, width);
    return NC_OK;
}

/* Columns of the line that the text stands at. */
static uint64_t nc_axx__data_columns(nc__text t) {
    uint64_t n = 0;
    nc_error ignored;
    t.err = &ignored;
    do {
        int c;
        while ((c = nc__peek(&t, 0)) >= 0 && !strchr(",; \t\r\n#", c)) t.at++;
        n++;
    } while (nc_axx__data_next(&t) && t.status == NC_OK);
    return n;
}

/* The values of a line: the label's column counts from 1. */
static void nc_axx__data_line(nc_axx__data_reader *r, nc__text *t, uint64_t columns,
                              uint64_t label_at) {
    const uint32_t most = r->how.largest ? r->how.largest : 255;
    char *to = nc__buffer_add(&r->pixels, (size_t)(columns - 1));
    uint64_t column = 1;
    int more;
    do {
        if (column > columns) {
            (void)nc__text_fail(t, NC_ERR_FORMAT, "more than the %llu values of the first line",
                                (unsigned long long)columns);
        } else if (column == label_at) {
            nc_axx__data_label(r, nc_axx__data_value(t, 65535, "label"));
        } else {
            const uint32_t value = nc_axx__data_value(t, most, "pixel");
            if (to) *to++ = (char)(uint8_t)value;
        }
        column++;
        more = nc_axx__data_next(t);
    } while (more && t->status == NC_OK);
    if (column <= columns)
        (void)nc__text_fail(t, NC_ERR_FORMAT, "%llu values, but %llu in the first line",
                            (unsigned long long)column - 1, (unsigned long long)columns);
}

/* A first column that is the same everywhere hardly is the label's. */
static int nc_axx__data_one_class(const nc_axx__data_reader *r) {
    const size_t n = r->found.count * sizeof(uint32_t);
    return r->found.count > 1 && r->classes.status == NC_OK &&
           !memcmp(r->classes.data, r->classes.data + sizeof(uint32_t), n - sizeof(uint32_t));
}

static nc_status nc_axx__read_data_csv(nc_axx__data_reader *r) {
    int64_t label_at = r->how.label;
    uint64_t columns = 0;
    nc__text t;
    int c;
    nc__text_open(&t, r->data, r->bytes, r->err);
    nc_axx__skip_mark(&t);
    nc_axx__csv_skip(&t);
    c = nc__peek(&t, 0);
    if (nc__is_letter(c) || c == '"') {
        const int32_t named = nc_axx__data_names(&t);
        if (label_at == 0) label_at = named;
    }
    for (nc_axx__csv_skip(&t); nc__peek(&t, 0) >= 0 && !nc_axx__data_enough(r);
         nc_axx__csv_skip(&t)) {
        if (!columns) {
            columns = nc_axx__data_columns(t);
            if (nc_axx__data_csv_shape(r, &t, columns - 1) != NC_OK) return t.status;
            if (label_at < 0) label_at = (int64_t)columns;
            if (label_at > (int64_t)columns)
                return nc__text_fail(&t, NC_ERR_ARG, "there is no column %lld for the label",
                                     (long long)label_at);
        }
        nc_axx__data_line(r, &t, columns, label_at ? (uint64_t)label_at : 1);
        if (t.status == NC_OK && r->pixels.status != NC_OK) return r->pixels.status;
    }
    if (t.status == NC_OK && !r->found.count)
        (void)nc__text_fail(&t, NC_ERR_FORMAT, "no images in the file");
    if (t.status == NC_OK && label_at == 0 && nc_axx__data_one_class(r))
        return nc__fail(r->err, NC_ERR_FORMAT, 0, 0,
                        "the first column is the same in all lines and no label: say which column "
                        "is (-1: the last)");
    return t.status;
}

/* -- all forms -- */

/* What others have packed the images in, with what to do. */
static const char *nc_axx__data_packed(const uint8_t *d, size_t bytes) {
    if (bytes >= 2 && d[0] == 0x1F && d[1] == 0x8B) return "compressed by gzip: gunzip it first";
    if (bytes >= 4 && !memcmp(d, "PK\3\4", 4)) return "a zip archive: unpack it first";
    if (bytes >= 262 && !memcmp(d + 257, "ustar", 5)) return "a tar archive: unpack it first";
    if (bytes >= 2 && d[0] == 0x80 && d[1] >= 2 && d[1] <= 5)
        return "a Python pickle: take the binary version of the data";
    if (bytes >= 4 && (!memcmp(d, "\x89PNG", 4) || !memcmp(d, "\xFF\xD8\xFF", 3)))
        return "one image: a folder of them with a folder for each class is wanted";
    return NULL;
}

/* The form by the content: sizes that fit exactly first. AUTO: none. */
static nc_axx_data_form nc_axx__data_form_of(const uint8_t *d, size_t bytes) {
    uint32_t classes, size[3] = {0, 0, 0};
    nc_axx__data_reader r;
    size_t i, marks = 0;
    memset(&r, 0, sizeof r);
    if (nc_axx__is_idx(d, bytes) &&
        nc_axx__idx_sizes(&r, "", d, bytes, d[3] == 1 ? 1 : 3, size) == NC_OK)
        return NC_AXX_DATA_IDX;
    for (i = 0; i < bytes && i < 4096; i++) marks += d[i] < 9 || (d[i] > 13 && d[i] < 32);
    if (!marks) return NC_AXX_DATA_CSV;
    if (bytes % nc_axx__cifar_record(0, &classes) == 0) return NC_AXX_DATA_CIFAR10;
    if (bytes % nc_axx__cifar_record(1, &classes) == 0) return NC_AXX_DATA_CIFAR100;
    return nc_axx__is_idx(d, bytes) ? NC_AXX_DATA_IDX : NC_AXX_DATA_AUTO;
}

static nc_status nc_axx__data_read(nc_axx__data_reader *r) {
    const char *packed = nc_axx__data_packed(r->data, r->bytes);
    if (r->how.form == NC_AXX_DATA_AUTO && !packed)
        r->how.form = nc_axx__data_form_of(r->data, r->bytes);
    switch (r->how.form) {
    case NC_AXX_DATA_CIFAR10:
    case NC_AXX_DATA_CIFAR100: return nc_axx__read_cifar(r);
    case NC_AXX_DATA_IDX: return nc_axx__read_idx(r);
    case NC_AXX_DATA_CSV: return nc_axx__read_data_csv(r);
    case NC_AXX_DATA_AUTO:
    case NC_AXX_DATA_FORMS: break;
    }
    if (packed) return nc__fail(r->err, NC_ERR_UNSUPPORTED, 0, 0, "the file is %s", packed);
    return nc__fail(r->err, NC_ERR_FORMAT, 0, 0,
                    "%llu bytes are no CSV, IDX, nor whole records of CIFAR (3,073 or 3,074): cut "
                    "off?",
                    (unsigned long long)r->bytes);
}

/* Whether images found can stand behind those that are there. */
static nc_status nc_axx__data_fits(const nc_axx_data *d, const nc_axx__data_reader *r) {
    const nc_axx_data *f = &r->found;
    const int cifar = r->how.form == NC_AXX_DATA_CIFAR10 || r->how.form == NC_AXX_DATA_CIFAR100;
    if (!d->count) return NC_OK;
    if (d->channels != f->channels || d->height != f->height || d->width != f->width)
        return nc__fail(r->err, NC_ERR_MISMATCH, 0, 0,
                        "images of %u x %u x %u behind others of %u x %u x %u",
                        (unsigned)f->channels, (unsigned)f->height, (unsigned)f->width,
                        (unsigned)d->channels, (unsigned)d->height, (unsigned)d->width);
    if (cifar && d->classes != f->classes)
        return nc__fail(r->err, NC_ERR_MISMATCH, 0, 0, "images of %u classes behind others of %u",
                        (unsigned)f->classes, (unsigned)d->classes);
    return NC_OK;
}

/* Old and new in fresh memory. */
static nc_status nc_axx__data_append(nc_axx_data *d, const nc_axx__data_reader *r) {
    const size_t old = d->count * ((size_t)d->channels * d->height * d->width);
    const size_t count = d->count + r->found.count;
    uint8_t *pixels = (uint8_t *)nc__alloc(NULL, nc__add_size(old, r->pixels.used));
    uint32_t *labels = (uint32_t *)nc__alloc(NULL, nc__mul_size(count, sizeof(uint32_t)));
    if (!pixels || !labels || r->pixels.status != NC_OK || r->classes.status != NC_OK) {
        nc__free(NULL, pixels, 0);
        nc__free(NULL, labels, 0);
        return nc__fail(r->err, NC_ERR_MEMORY, 0, 0, "out of memory for %llu images",
                        (unsigned long long)count);
    }
    if (d->count) {
        memcpy(pixels, d->pixels, old);
        memcpy(labels, d->labels, d->count * sizeof *labels);
    }
    if (r->pixels.used) memcpy(pixels + old, r->pixels.data, r->pixels.used);
    if (r->classes.used) memcpy(labels + d->count, r->classes.data, r->classes.used);
    nc__free(NULL, d->pixels, 0);
    nc__free(NULL, d->labels, 0);
    if (d->classes < r->found.classes) d->classes = r->found.classes;
    d->channels = r->found.channels;
    d->height = r->found.height;
    d->width = r->found.width;
    d->pixels = pixels;
    d->labels = labels;
    d->count = count;
    return NC_OK;
}

NC_API nc_status nc_axx_data_parse(nc_axx_data *d, const nc_axx_data_options *how, const void *data,
                                   size_t bytes, const void *labels, size_t label_bytes,
                                   nc_error *err) {
    nc_axx__data_reader r;
    nc_status status;
    nc__clear(err);
    if (!d || !data) return nc__fail(err, NC_ERR_ARG, 0, 0, "no data");
    memset(&r, 0, sizeof r);
    if (how) r.how = *how;
    if (r.how.form < NC_AXX_DATA_AUTO || r.how.form >= NC_AXX_DATA_FORMS || r.how.label < -1 ||
        r.how.largest > 255)
        return nc__fail(err, NC_ERR_ARG, 0, 0, "an option is out of range");
    r.data = (const uint8_t *)data;
    r.bytes = bytes;
    r.labels = (const uint8_t *)labels;
    r.label_bytes = label_bytes;
    r.err = err;
    status = nc_axx__data_read(&r);
    if (status == NC_OK) status = nc_axx__data_fits(d, &r);
    if (status == NC_OK) status = nc_axx__data_append(d, &r);
    nc__buffer_free(&r.pixels);
    nc__buffer_free(&r.classes);
    return status;
}

NC_API void nc_axx_data_free(nc_axx_data *d) {
    if (!d) return;
    nc__free(NULL, d->pixels, 0);
    nc__free(NULL, d->labels, 0);
    memset(d, 0, sizeof *d);
}

#ifndef NC_NO_STDIO
/* In the name of a file the first `from` becomes `to`, which is as long. */
static int nc_axx__data_rename(char *path, const char *from, const char *to) {
    char *at = strstr(path + nc__folder_bytes(path), from);
    if (at) memcpy(at, to, strlen(to));
    return at != NULL;
}

/* The labels that belong to IDX images. */
static nc_status nc_axx__data_labels(const char *path, const nc_axx_data_options *how,
                                     uint8_t **labels, size_t *bytes, nc_error *err) {
    char other[1024];
    if (how && how->labels) return nc__file_read(how->labels, NULL, labels, bytes, err);
    if (strlen(path) >= sizeof other) return nc__fail(err, NC_ERR_LIMIT, 0, 0, "a path too long");
    memcpy(other, path, strlen(path) + 1);
    if (!nc_axx__data_rename(other, "images", "labels"))
        return nc__fail(err, NC_ERR_ARG, 0, 0,
                        "IDX images need their labels, and no \"images\" in the name '%.60s' tells "
                        "where: name them",
                        path);
    (void)nc_axx__data_rename(other, "idx3", "idx1");
    return nc__file_read(other, NULL, labels, bytes, err);
}

NC_API nc_status nc_axx_data_load(nc_axx_data *d, const char *path, const nc_axx_data_options *how,
                                  nc_error *err) {
    uint8_t *data, *labels = NULL;
    size_t bytes, label_bytes = 0;
    nc_axx_data_form form = how ? how->form : NC_AXX_DATA_AUTO;
    nc_status status;
    if (!path || !d) return nc__fail(err, NC_ERR_ARG, 0, 0, "no path");
    status = nc__file_read(path, NULL, &data, &bytes, err);
    if (status != NC_OK) return status;
    if (form == NC_AXX_DATA_AUTO) form = nc_axx__data_form_of(data, bytes);
    if (form == NC_AXX_DATA_IDX && bytes >= 4 && data[3] != 1)
        status = nc_axx__data_labels(path, how, &labels, &label_bytes, err);
    if (status == NC_OK) status = nc_axx_data_parse(d, how, data, bytes, labels, label_bytes, err);
    nc__free(NULL, data, bytes + 1);
    nc__free(NULL, labels, label_bytes + 1);
    return status;
}
#endif
NC__COLD_END

/* -- resizing -- */

/* For every place of the output: the first input and how many, and their weights in 22 bits. */
typedef struct nc_axx__resize_axis {
    uint32_t most; /* inputs of one place */
    uint32_t *first, *count;
    int32_t *weights; /* most for each place */
} nc_axx__resize_axis;

enum { NC_AXX__RESIZE_BITS = 22, NC_AXX__RESIZE_MOST = 32768 };

/* The filter: a triangle to 1, or Keys's cubic (1981) with a = -1/2 to 2. */
static double nc_axx__resize_filter(double x, int cubic) {
    const double a = -0.5;
    if (x < 0) x = -x;
    if (!cubic) return x < 1 ? 1 - x : 0;
    if (x < 1) return ((a + 2) * x - (a + 3)) * x * x + 1;
    return x < 2 ? (((x - 5) * x + 8) * x - 4) * a : 0;
}

static void nc_axx__resize_free(nc_axx__resize_axis *axis) {
    nc__free(NULL, axis->first, 0);
    nc__free(NULL, axis->weights, 0);
    axis->first = NULL;
    axis->weights = NULL;
}

/* The weights of one place, of inputs around `centre`, that add up to 1. */
static void nc_axx__resize_place(nc_axx__resize_axis *axis, size_t place, double centre,
                                 double reach, double wide, size_t from, int cubic) {
    const double low = centre - reach + 0.5, high = centre + reach + 0.5;
    const uint32_t first = low > 0 ? (uint32_t)low : 0;
    const uint32_t end = high < (double)from ? (uint32_t)high : (uint32_t)from;
    double sum = 0;
    uint32_t i;
    axis->first[place] = first;
    axis->count[place] = end - first;
    for (i = first; i < end; i++)
        sum += nc_axx__resize_filter(((double)i - centre + 0.5) * (1 / wide), cubic);
    for (i = first; i < end; i++) {
        const double w =
            nc_axx__resize_filter(((double)i - centre + 0.5) * (1 / wide), cubic) / sum;
        const double scaled = w * (1 << NC_AXX__RESIZE_BITS);
        axis->weights[place * axis->most + (i - first)] =
            (int32_t)(scaled < 0 ? scaled - 0.5 : scaled + 0.5);
    }
}

static nc_status nc_axx__resize_make(nc_axx__resize_axis *axis, size_t from, size_t to, int cubic) {
    const double scale = (double)from / (double)to, wide = scale < 1 ? 1 : scale;
    const double reach = (cubic ? 2 : 1) * wide;
    size_t i;
    axis->most = (uint32_t)ceil(reach) * 2 + 1;
    axis->first = (uint32_t *)nc__alloc(NULL, to * 2 * sizeof(uint32_t));
    axis->weights = (int32_t *)nc__alloc(NULL, to * axis->most * sizeof(int32_t));
    if (!axis->first || !axis->weights) {
        nc_axx__resize_free(axis);
        return NC_ERR_MEMORY;
    }
    axis->count = axis->first + to;
    for (i = 0; i < to; i++)
        nc_axx__resize_place(axis, i, ((double)i + 0.5) * scale, reach, wide, from, cubic);
    return NC_OK;
}

/* One pass over `lines` lines: inputs and outputs of one so far apart, and lines of in and out. */
static void nc_axx__resize_pass(const nc_axx__resize_axis *axis, const uint8_t *in, uint8_t *out,
                                size_t lines, size_t places, size_t in_step, size_t in_line,
                                size_t out_line, size_t out_step) {
    size_t line, i;
    for (i = 0; i < places; i++) {
        const int32_t *w = axis->weights + i * axis->most;
        for (line = 0; line < lines; line++) {
            const uint8_t *from = in + line * in_line + axis->first[i] * in_step;
            int32_t sum = 1 << (NC_AXX__RESIZE_BITS - 1);
            uint32_t k;
            for (k = 0; k < axis->count[i]; k++) sum += w[k] * from[k * in_step];
            sum = sum < 0 ? 0 : sum >> NC_AXX__RESIZE_BITS;
            out[line * out_line + i * out_step] = (uint8_t)(sum > 255 ? 255 : sum);
        }
    }
}

/* What is computed first, as Pillow 13.0 chooses it: rounding between the passes shows. */
static int nc_axx__resize_rows_first(size_t h, size_t w, size_t oh, size_t ow) {
    return oh >= h || (ow < w && 2 * (w - ow) >= h - oh);
}

static void nc_axx__resize_plane(const nc_axx__resize_axis axis[2], const uint8_t *in, size_t h,
                                 size_t w, uint8_t *out, size_t oh, size_t ow, uint8_t *between) {
    if (h == oh) {
        nc_axx__resize_pass(&axis[0], in, out, h, ow, 1, w, ow, 1);
    } else if (w == ow) {
        nc_axx__resize_pass(&axis[1], in, out, w, oh, w, 1, 1, w);
    } else if (nc_axx__resize_rows_first(h, w, oh, ow)) {
        nc_axx__resize_pass(&axis[0], in, between, h, ow, 1, w, ow, 1);
        nc_axx__resize_pass(&axis[1], between, out, ow, oh, ow, 1, 1, ow);
    } else {
        nc_axx__resize_pass(&axis[1], in, between, w, oh, w, 1, 1, w);
        nc_axx__resize_pass(&axis[0], between, out, oh, ow, 1, w, ow, 1);
    }
}

NC_API nc_status nc_axx_resize(const uint8_t *pixels, size_t planes, size_t height, size_t width,
                               uint8_t *out, size_t out_height, size_t out_width, int cubic) {
    const size_t most = NC_AXX__RESIZE_MOST, wider = width > out_width ? width : out_width;
    const size_t in_plane = height * width, out_plane = out_height * out_width;
    nc_axx__resize_axis axis[2] = {{0, NULL, NULL, NULL}, {0, NULL, NULL, NULL}};
    uint8_t *between;
    nc_status status;
    size_t p;
    if (!pixels || !out || height - 1 >= most || width - 1 >= most || out_height - 1 >= most ||
        out_width - 1 >= most)
        return NC_ERR_ARG;
    if (height == out_height && width == out_width) {
        memcpy(out, pixels, planes * in_plane);
        return NC_OK;
    }
    between = (uint8_t *)nc__alloc(NULL, nc__mul_size(height, wider));
    status = between ? nc_axx__resize_make(&axis[0], width, out_width, cubic) : NC_ERR_MEMORY;
    if (status == NC_OK) status = nc_axx__resize_make(&axis[1], height, out_height, cubic);
    for (p = 0; p < planes && status == NC_OK; p++)
        nc_axx__resize_plane(axis, pixels + p * in_plane, height, width, out + p * out_plane,
                             out_height, out_width, between);
    nc_axx__resize_free(&axis[0]);
    nc_axx__resize_free(&axis[1]);
    nc__free(NULL, between, 0);
    return status;
}

/* -- bytes to what a network sees -- */

/* What becomes of an image: planes that are kept, size before the cut and after, place of it. */
typedef struct nc_axx__view_plan {
    size_t planes, height, width, out_planes, out_height, out_width, top, left;
} nc_axx__view_plan;

/* Half of a number, ties to even. */
static size_t nc_axx__view_half(size_t n) { return n / 2 + (n % 2 && n / 2 % 2); }

static nc_status nc_axx__view_make(nc_axx__view_plan *p, const nc_axx_view *v, uint32_t channels,
                                   uint32_t height, uint32_t width) {
    const uint32_t wanted = v->channels ? v->channels : channels;
    const uint32_t shorter = height < width ? height : width;
    if (!channels || channels > 4 || !height || !width ||
        (wanted != channels && !(wanted == 3 && channels == 1) && !(wanted == 1 && channels == 3)))
        return NC_ERR_ARG;
    p->planes = wanted < channels ? wanted : channels;
    p->out_planes = wanted;
    p->out_height = v->height ? v->height : height;
    p->out_width = v->width ? v->width : width;
    p->height = v->resize ? (size_t)((uint64_t)height * v->resize / shorter) : p->out_height;
    p->width = v->resize ? (size_t)((uint64_t)width * v->resize / shorter) : p->out_width;
    if (p->height < p->out_height || p->width < p->out_width || p->height > NC_AXX__RESIZE_MOST ||
        p->width > NC_AXX__RESIZE_MOST)
        return NC_ERR_ARG;
    p->top = nc_axx__view_half(p->height - p->out_height);
    p->left = nc_axx__view_half(p->width - p->out_width);
    return NC_OK;
}

/* Pillow's grey. */
static void nc_axx__view_grey(const uint8_t *rgb, uint8_t *grey, size_t n) {
    size_t i;
    for (i = 0; i < n; i++)
        grey[i] =
            (uint8_t)((rgb[i] * 19595u + rgb[n + i] * 38470u + rgb[2 * n + i] * 7471u + 32768u) >>
                      16);
}

static void nc_axx__view_normalize(const nc_axx_view *v, const nc_axx__view_plan *p,
                                   const uint8_t *pixels, float *out) {
    const float largest = v->largest > 0 ? v->largest : 255.0f;
    size_t plane, y, x;
    for (plane = 0; plane < p->out_planes; plane++) {
        const uint8_t *from = pixels + (plane % p->planes) * p->height * p->width;
        const float mean = v->mean[plane];
        const float deviation = v->deviation[plane] > 0 ? v->deviation[plane] : 1.0f;
        for (y = 0; y < p->out_height; y++)
            for (x = 0; x < p->out_width; x++)
                *out++ = ((float)from[(y + p->top) * p->width + x + p->left] / largest - mean) /
                         deviation;
    }
}

NC_API nc_status nc_axx_view_image(const nc_axx_view *view, const uint8_t *pixels,
                                   uint32_t channels, uint32_t height, uint32_t width, float *out) {
    nc_axx__view_plan p;
    uint8_t *grey = NULL, *sized = NULL;
    nc_status status;
    if (!view || !pixels || !out) return NC_ERR_ARG;
    status = nc_axx__view_make(&p, view, channels, height, width);
    if (status == NC_OK && p.planes < channels) {
        grey = (uint8_t *)nc__alloc(NULL, (size_t)height * width);
        if (!grey) return NC_ERR_MEMORY;
        nc_axx__view_grey(pixels, grey, (size_t)height * width);
        pixels = grey;
    }
    if (status == NC_OK && (p.height != height || p.width != width)) {
        sized = (uint8_t *)nc__alloc(NULL, nc__mul_size(p.planes * p.height, p.width));
        status = sized ? nc_axx_resize(pixels, p.planes, height, width, sized, p.height, p.width,
                                       view->cubic != 0)
                       : NC_ERR_MEMORY;
        pixels = sized;
    }
    if (status == NC_OK) nc_axx__view_normalize(view, &p, pixels, out);
    nc__free(NULL, grey, 0);
    nc__free(NULL, sized, 0);
    return status;
}

NC_API nc_status nc_axx_view_data(const nc_axx_view *view, const nc_axx_data *d, size_t first,
                                  size_t count, float *out) {
    nc_axx__view_plan p;
    nc_status status;
    size_t each, i;
    int failed = 0;
    if (!view || !d || !out || first > d->count || count > d->count - first) return NC_ERR_ARG;
    if (count == 0) return NC_OK;
    status = nc_axx__view_make(&p, view, d->channels, d->height, d->width);
    if (status != NC_OK) return status;
    each = (size_t)d->channels * d->height * d->width;
#ifdef _OPENMP
#pragma omp parallel for schedule(static) reduction(| : failed)
#endif
    for (i = 0; i < count; i++)
        if (nc_axx_view_image(view, d->pixels + (first + i) * each, d->channels, d->height,
                              d->width,
                              out + i * p.out_planes * p.out_height * p.out_width) != NC_OK)
            failed |= 1;
    return failed ? NC_ERR_MEMORY : NC_OK;
}
#endif /* NC_AXX_VIT */

/* >>networks ==================================================================== */

#ifdef NC_AXX_VIT

/* -- the parts of the networks, a row each: what follows is named, sized and found by them -- */

typedef enum nc_axx__part_kind {
    NC_AXX__TOKEN,  /* one tensor that is learned as it is */
    NC_AXX__SCALE,  /* one that multiplies: begins small */
    NC_AXX__NORM,   /* layer norm: .weight and .bias */
    NC_AXX__LINEAR, /* a layer with .weight and (nc_axx__has_bias) .bias */
    NC_AXX__PRODUCT /* a layer without: a product of two activations */
} nc_axx__part_kind;

/* Sizes by name, of one network and block. One that is 0 stands for a part that is not there. */
typedef enum nc_axx__size {
    NC_AXX__NONE, /* ends a shape */
    NC_AXX__ONE,
    NC_AXX__THREE,
    NC_AXX__CLASSES,
    NC_AXX__DIST_CLASSES,
    NC_AXX__CHANNELS,
    NC_AXX__CLASS_TOKENS, /* 1, or 0 where the tokens' mean is taken */
    NC_AXX__DIST_TOKENS,
    NC_AXX__REGISTERS,
    NC_AXX__POSITIONS,
    NC_AXX__TOKENS,
    NC_AXX__DIM,
    NC_AXX__PRE_NORM_DIM, /* these are dim where there is such a part */
    NC_AXX__LAST_NORM_DIM,
    NC_AXX__FC_NORM_DIM,
    NC_AXX__SCALE_DIM,
    NC_AXX__ATTENTION_DIM, /* of all heads */
    NC_AXX__QKV_DIM,
    NC_AXX__HEADS,
    NC_AXX__HEAD_DIM,
    NC_AXX__HEAD_NORM_DIM,
    NC_AXX__MLP_DIM,
    NC_AXX__FC1_DIM,
    NC_AXX__GATE_DIM,
    NC_AXX__PATCHES, /* of an image */
    NC_AXX__PATCH,   /* side */
    NC_AXX__PATCH_VALUES,
    NC_AXX__FROM, /* channels of this convolution, of the last one's output, places, taps */
    NC_AXX__TO,
    NC_AXX__LAST,
    NC_AXX__PLACES,
    NC_AXX__TAPS,
    NC_AXX__SIZES
} nc_axx__size;

/* Constant, kind, name of the tensors and of the layer; shape of the token or weight (of a product:
 * its columns first); of a layer also how many products of how many rows and which k. The parts of
 * a block stand between the first and the last of them. */
#define NC_AXX__VIT_TABLE(PART)                                                                    \
    PART(CLASS_TOKEN, TOKEN, "cls_token", "", CLASS_TOKENS, ONE, DIM, NONE, NONE, NONE, NONE)      \
    PART(DIST_TOKEN, TOKEN, "dist_token", "", DIST_TOKENS, ONE, DIM, NONE, NONE, NONE, NONE)       \
    PART(REGISTER_TOKENS, TOKEN, "reg_token", "", ONE, REGISTERS, DIM, NONE, NONE, NONE, NONE)     \
    PART(POSITION, TOKEN, "pos_embed", "", ONE, POSITIONS, DIM, NONE, NONE, NONE, NONE)            \
    PART(EMBED, LINEAR, "patch_embed.proj", "patch_embed", DIM, CHANNELS, PATCH, PATCH, ONE,       \
         PATCHES, PATCH_VALUES)                                                                    \
    PART(PRE_NORM, NORM, "norm_pre", "", PRE_NORM_DIM, NONE, NONE, NONE, NONE, NONE, NONE)         \
    PART(NORM1, NORM, "norm1", "", DIM, NONE, NONE, NONE, NONE, NONE, NONE)                        \
    PART(QKV, LINEAR, "attn.qkv", "qkv", QKV_DIM, DIM, NONE, NONE, ONE, TOKENS, DIM)               \
    PART(Q_NORM, NORM, "attn.q_norm", "", HEAD_NORM_DIM, NONE, NONE, NONE, NONE, NONE, NONE)       \
    PART(K_NORM, NORM, "attn.k_norm", "", HEAD_NORM_DIM, NONE, NONE, NONE, NONE, NONE, NONE)       \
    PART(QK, PRODUCT, "", "qk", TOKENS, NONE, NONE, NONE, HEADS, TOKENS, HEAD_DIM)                 \
    PART(PV, PRODUCT, "", "pv", HEAD_DIM, NONE, NONE, NONE, HEADS, TOKENS, TOKENS)                 \
    PART(PROJ, LINEAR, "attn.proj", "proj", DIM, ATTENTION_DIM, NONE, NONE, ONE, TOKENS,           \
         ATTENTION_DIM)                                                                            \
    PART(SCALE1, SCALE, "ls1.gamma", "", SCALE_DIM, NONE, NONE, NONE, NONE, NONE, NONE)            \
    PART(NORM2, NORM, "norm2", "", DIM, NONE, NONE, NONE, NONE, NONE, NONE)                        \
    PART(FC1, LINEAR, "mlp.fc1", "fc1", FC1_DIM, DIM, NONE, NONE, ONE, TOKENS, DIM)                \
    PART(FC1_GATE, LINEAR, "mlp.fc1_g", "fc1_g", GATE_DIM, DIM, NONE, NONE, ONE, TOKENS, DIM)      \
    PART(FC1_VALUE, LINEAR, "mlp.fc1_x", "fc1_x", GATE_DIM, DIM, NONE, NONE, ONE, TOKENS, DIM)     \
    PART(FC2, LINEAR, "mlp.fc2", "fc2", DIM, MLP_DIM, NONE, NONE, ONE, TOKENS, MLP_DIM)            \
    PART(SCALE2, SCALE, "ls2.gamma", "", SCALE_DIM, NONE, NONE, NONE, NONE, NONE, NONE)            \
    PART(LAST_NORM, NORM, "norm", "", LAST_NORM_DIM, NONE, NONE, NONE, NONE, NONE, NONE)           \
    PART(FC_NORM, NORM, "fc_norm", "", FC_NORM_DIM, NONE, NONE, NONE, NONE, NONE, NONE)            \
    PART(HEAD, LINEAR, "head", "head", CLASSES, DIM, NONE, NONE, ONE, ONE, DIM)                    \
    PART(HEAD_DIST, LINEAR, "head_dist", "head_dist", DIST_CLASSES, DIM, NONE, NONE, ONE, ONE, DIM)
#define NC_AXX__CNN_TABLE(PART)                                                                    \
    PART(CONV, LINEAR, "", "", TO, FROM, THREE, THREE, ONE, PLACES, TAPS)                          \
    PART(CNN_HEAD, LINEAR, "head", "head", CLASSES, LAST, NONE, NONE, ONE, ONE, LAST)

typedef struct nc_axx__part {
    const char *tensor, *layer;
    nc_axx__part_kind kind;
    nc_axx__size shape[4], batch, rows, k;
} nc_axx__part;

#define NC_AXX__PART_CONSTANT(part, kind, tensor, layer, d0, d1, d2, d3, batch, rows, k)           \
    NC_AXX__PART_##part,
#define NC_AXX__PART_ROW(part, kind, tensor, layer, d0, d1, d2, d3, batch, rows, k)                \
    {tensor,          layer,                                                                       \
     NC_AXX__##kind,  {NC_AXX__##d0, NC_AXX__##d1, NC_AXX__##d2, NC_AXX__##d3},                    \
     NC_AXX__##batch, NC_AXX__##rows,                                                              \
     NC_AXX__##k},
enum { NC_AXX__VIT_TABLE(NC_AXX__PART_CONSTANT) NC_AXX__VIT_PARTS };
enum { NC_AXX__CNN_TABLE(NC_AXX__PART_CONSTANT) NC_AXX__CNN_PARTS };
static const nc_axx__part nc_axx__vit_parts[] = {NC_AXX__VIT_TABLE(NC_AXX__PART_ROW)};
static const nc_axx__part nc_axx__cnn_parts[] = {NC_AXX__CNN_TABLE(NC_AXX__PART_ROW)};
#undef NC_AXX__PART_CONSTANT
#undef NC_AXX__PART_ROW

/* A kind of network: its parts, which of them a block has (up to `end`), and how these are called:
 * the block's number, counted from `base`, between two texts. */
typedef struct nc_axx__architecture {
    const nc_axx__part *parts;
    uint32_t count, block, end;
    const char *before, *after;
    uint32_t base;
} nc_axx__architecture;

static const nc_axx__architecture nc_axx__architectures[] = {
    {nc_axx__vit_parts, NC_AXX__VIT_PARTS, NC_AXX__PART_NORM1, NC_AXX__PART_LAST_NORM, "blocks.",
     ".", 0},
    {nc_axx__cnn_parts, NC_AXX__CNN_PARTS, NC_AXX__PART_CONV, NC_AXX__PART_CNN_HEAD, "conv", "",
     1}};

/* -- a network -- */

typedef struct nc_axx__layer {
    nc_axx_layer_info info; /* multiplier: one that is wanted, "" with an engine; power: unused */
    float *weight, *bias;   /* out x k, out or null; null for a product of activations */
    size_t rows, k, out;    /* at a full batch; of a product of activations: m, k, n */
    size_t batch;           /* products of activations, else 1 */
    int weighted;           /* no product of activations */
    int waits;              /* progressive training: exact products for the time being */
} nc_axx__layer;

typedef struct nc_axx__tensor {
    char name[80];
    float *values;
    uint32_t rank;
    uint64_t shape[4];
    size_t count;
    float start, deviation; /* of its values at first */
    int decays;             /* a matrix: pruned and decayed */
} nc_axx__tensor;

/* Where a part is: its first tensor, its layer; NC_AXX__ABSENT. */
typedef struct nc_axx__place {
    uint32_t tensor, layer;
} nc_axx__place;

#define NC_AXX__ABSENT UINT32_MAX

/* What a block keeps for the way back. */
typedef struct nc_axx__block {
    float *x, *middle; /* rows x dim: into attention and MLP */
    float *norm[2], *mean[2], *rstd[2];
    float *q, *k, *v, *scores, *context, *merged;
    float *plain[2], *plain_mean[2], *plain_rstd[2]; /* Q and K before their norms */
    float *hidden, *gelu;                            /* rows x fc1's outputs, rows x mlp */
    float *added[2]; /* by attention and MLP, before layer scale or norm */
} nc_axx__block;

enum { NC_AXX__DEEPEST = 64 };

struct nc_axx_net {
    nc_axx_net_config config;
    const nc_axx__architecture *architecture;
    nc_status status; /* of the pass under way: after a failure its layers do nothing */
    int calibrated;
    nc_axx_engine *exact;
    nc_axx__layer *layers; /* stb_ds array, as the following */
    nc_axx__tensor *tensors;
    nc_axx__place *places;   /* of every part of every block */
    nc_axx_calibrator *seen; /* two for every layer while calibrating, else null */
    size_t parameters;
    float *values, *gradients, *first, *second; /* parameters, gradients, moments; the last three
                                                   null with config.inference */
    uint8_t *pruned;                            /* 1: stays zero; null: none */
    size_t tokens, prefix;                      /* of an image; those in front of its patches */
    uint8_t *memory;
    size_t memory_bytes;
    /* activations and scratch, in `memory` */
    nc_axx__block blocks[NC_AXX__DEEPEST];
    float *features[NC_AXX__DEEPEST + 1]; /* of the convolutions, NHWC */
    float *patches, *embedded, *joined, *pre_mean, *pre_rstd;
    float *last, *mean, *rstd, *final, *pooled, *features_of_head, *logits, *losses;
    float *pooled_dist, *logits_dist;
    float *d0, *d1, *d2, *wide; /* gradients on their way back */
    float *float_a, *float_b, *scales;
    nc_axx_calibrator *of_weights;
    uint8_t *byte_a, *byte_b;
    uint8_t *work;
    size_t work_bytes;
};

/* -- shape, parameters and memory -- */

/* A field of a configuration and what it can be, its default filled in. */
typedef struct nc_axx__bound {
    const char *name;
    size_t at;
    uint32_t least, most;
} nc_axx__bound;

#define NC_AXX__BOUND(field, least, most)                                                          \
    { #field, offsetof(nc_axx_net_config, field), least, most }
static const nc_axx__bound nc_axx__bounds[] = {
    NC_AXX__BOUND(image, 1, 4096),  NC_AXX__BOUND(width, 1, 4096),
    NC_AXX__BOUND(channels, 1, 64), NC_AXX__BOUND(classes, 1, 65536),
    NC_AXX__BOUND(dim, 1, 8192),    NC_AXX__BOUND(depth, 1, NC_AXX__DEEPEST),
    NC_AXX__BOUND(mlp, 1, 65535),   NC_AXX__BOUND(batch, 1, 4096),
    NC_AXX__BOUND(bits, 2, 8),      NC_AXX__BOUND(inference, 0, 1)};
static const nc_axx__bound nc_axx__vit_bounds[] = {NC_AXX__BOUND(patch, 1, 4096),
                                                   NC_AXX__BOUND(heads, 1, 65535),
                                                   NC_AXX__BOUND(registers, 0, 1024),
                                                   NC_AXX__BOUND(mean_pool, 0, 2),
                                                   NC_AXX__BOUND(fc_norm, 0, 2),
                                                   NC_AXX__BOUND(gated, 0, 2),
                                                   NC_AXX__BOUND(activation, 0, NC_AXX_SILU),
                                                   NC_AXX__BOUND(no_qkv_bias, 0, 1),
                                                   NC_AXX__BOUND(no_proj_bias, 0, 1),
                                                   NC_AXX__BOUND(post_norm, 0, 1),
                                                   NC_AXX__BOUND(qk_norm, 0, 1),
                                                   NC_AXX__BOUND(layer_scale, 0, 1),
                                                   NC_AXX__BOUND(patch_positions, 0, 1),
                                                   NC_AXX__BOUND(pre_norm, 0, 1),
                                                   NC_AXX__BOUND(distilled, 0, 1)};
#undef NC_AXX__BOUND

static nc_status nc_axx__within(const nc_axx_net_config *c, const nc_axx__bound *bounds,
                                size_t count, nc_error *err) {
    uint32_t value;
    size_t i;
    for (i = 0; i < count; i++) {
        memcpy(&value, (const char *)c + bounds[i].at, sizeof value);
        if (value < bounds[i].least || value > bounds[i].most)
            return nc__fail(err, NC_ERR_ARG, 0, 0, "%s is %u, where %u to %u are possible",
                            bounds[i].name, (unsigned)value, (unsigned)bounds[i].least,
                            (unsigned)bounds[i].most);
    }
    return NC_OK;
}

/* The transformer's part of nc_axx__check_config. */
static nc_status nc_axx__check_vit(nc_axx_net_config *c, nc_error *err) {
    nc_status status = nc_axx__within(c, nc_axx__vit_bounds,
                                      sizeof nc_axx__vit_bounds / sizeof *nc_axx__vit_bounds, err);
    if (status != NC_OK) return status;
    if (!c->head_dim && c->dim % c->heads)
        return nc__fail(err, NC_ERR_ARG, 0, 0, "heads is %u, no divisor of dim, %u: give head_dim",
                        (unsigned)c->heads, (unsigned)c->dim);
    if (!c->head_dim) c->head_dim = c->dim / c->heads;
    if (c->head_dim > 65535 / c->heads)
        return nc__fail(err, NC_ERR_ARG, 0, 0, "%u heads of head_dim %u are wider than 65,535",
                        (unsigned)c->heads, (unsigned)c->head_dim);
    if (c->eps == 0) c->eps = 1e-5f;
    if (!(c->eps > 0 && c->eps < 1))
        return nc__fail(err, NC_ERR_ARG, 0, 0, "eps is not above 0 and below 1");
    if (c->image % c->patch || c->width % c->patch || c->image / c->patch > 64 ||
        c->width / c->patch > 64)
        return nc__fail(err, NC_ERR_ARG, 0, 0,
                        "an image of %u x %u is not 1 to 64 whole patches of %u each way",
                        (unsigned)c->image, (unsigned)c->width, (unsigned)c->patch);
    if (c->gated && c->activation != NC_AXX_SILU && c->activation != NC_AXX_GELU_TANH)
        return nc__fail(err, NC_ERR_ARG, 0, 0,
                        "activation is %u, where gated allows NC_AXX_SILU and NC_AXX_GELU_TANH",
                        (unsigned)c->activation);
    if (c->post_norm && c->layer_scale)
        return nc__fail(err, NC_ERR_ARG, 0, 0, "post_norm and layer_scale exclude each other");
    if (c->distilled && (c->mean_pool || c->fc_norm == 1))
        return nc__fail(err, NC_ERR_ARG, 0, 0,
                        "distilled excludes mean_pool and fc_norm 1: both heads have a token");
    return NC_OK;
}

/* Fill in the defaults and refuse what is impossible, by its field's name. */
static nc_status nc_axx__check_config(nc_axx_net_config *c, nc_error *err) {
    nc_status status;
    if (!c->channels) c->channels = 1;
    if (!c->mlp) c->mlp = 4 * c->dim;
    if (!c->batch) c->batch = 32;
    if (!c->bits) c->bits = 8;
    if (!c->width) c->width = c->image;
    status = nc_axx__within(c, nc_axx__bounds, sizeof nc_axx__bounds / sizeof *nc_axx__bounds, err);
    if (status != NC_OK) return status;
    if (c->kind == NC_AXX_NET_VIT) return nc_axx__check_vit(c, err);
    if (c->kind != NC_AXX_NET_CNN)
        return nc__fail(err, NC_ERR_ARG, 0, 0, "kind %u is no network", (unsigned)c->kind);
    if (c->depth > 6 || c->width != c->image)
        return nc__fail(err, NC_ERR_ARG, 0, 0,
                        "%u convolutions of %u x %u, where 1 to 6 of a square are possible",
                        (unsigned)c->depth, (unsigned)c->image, (unsigned)c->width);
    return NC_OK;
}

/* Height and width after `depth` convolutions. */
static size_t nc_axx__side(const nc_axx_net_config *c, uint32_t depth) {
    size_t side = c->image;
    uint32_t i;
    for (i = 1; i < depth; i++) side = (side + 1) / 2; /* stride 2, padding 1, kernel 3 */
    return side;
}

/* Channels of features i: 0 the image's. */
static size_t nc_axx__width(const nc_axx_net_config *c, uint32_t i) {
    return i ? (size_t)c->dim << (i - 1) : c->channels;
}

/* The transformer's part of nc_axx__sizes. */
static void nc_axx__vit_sizes(const nc_axx_net *net, size_t sizes[NC_AXX__SIZES]) {
    const nc_axx_net_config *c = &net->config;
    sizes[NC_AXX__DIST_CLASSES] = c->distilled ? c->classes : 0;
    sizes[NC_AXX__CLASS_TOKENS] = c->mean_pool != 1;
    sizes[NC_AXX__DIST_TOKENS] = c->distilled;
    sizes[NC_AXX__REGISTERS] = c->registers;
    sizes[NC_AXX__POSITIONS] = net->tokens - (c->patch_positions ? net->prefix : 0);
    sizes[NC_AXX__TOKENS] = net->tokens;
    sizes[NC_AXX__PRE_NORM_DIM] = c->pre_norm ? c->dim : 0;
    sizes[NC_AXX__LAST_NORM_DIM] = c->fc_norm ? 0 : c->dim;
    sizes[NC_AXX__FC_NORM_DIM] = c->fc_norm == 1 ? c->dim : 0;
    sizes[NC_AXX__SCALE_DIM] = c->layer_scale ? c->dim : 0;
    sizes[NC_AXX__ATTENTION_DIM] = (size_t)c->heads * c->head_dim;
    sizes[NC_AXX__QKV_DIM] = 3 * sizes[NC_AXX__ATTENTION_DIM];
    sizes[NC_AXX__HEADS] = c->heads;
    sizes[NC_AXX__HEAD_DIM] = c->head_dim;
    sizes[NC_AXX__HEAD_NORM_DIM] = c->qk_norm ? c->head_dim : 0;
    sizes[NC_AXX__MLP_DIM] = c->mlp;
    sizes[NC_AXX__FC1_DIM] = c->gated == 2 ? 0 : c->gated ? 2 * (size_t)c->mlp : c->mlp;
    sizes[NC_AXX__GATE_DIM] = c->gated == 2 ? c->mlp : 0;
    sizes[NC_AXX__PATCHES] = net->tokens - net->prefix;
    sizes[NC_AXX__PATCH] = c->patch;
    sizes[NC_AXX__PATCH_VALUES] = (size_t)c->channels * c->patch * c->patch;
}

/* The sizes that a row names, in block b. */
static void nc_axx__sizes(const nc_axx_net *net, uint32_t b, size_t sizes[NC_AXX__SIZES]) {
    const nc_axx_net_config *c = &net->config;
    memset(sizes, 0, NC_AXX__SIZES * sizeof *sizes);
    sizes[NC_AXX__ONE] = 1;
    sizes[NC_AXX__THREE] = 3;
    sizes[NC_AXX__CLASSES] = c->classes;
    sizes[NC_AXX__CHANNELS] = c->channels;
    sizes[NC_AXX__DIM] = c->dim;
    if (c->kind == NC_AXX_NET_VIT) nc_axx__vit_sizes(net, sizes);
    sizes[NC_AXX__FROM] = nc_axx__width(c, b);
    sizes[NC_AXX__TO] = nc_axx__width(c, b + 1);
    sizes[NC_AXX__LAST] = nc_axx__width(c, c->depth);
    sizes[NC_AXX__PLACES] = nc_axx__side(c, b + 1) * nc_axx__side(c, b + 1);
    sizes[NC_AXX__TAPS] = 9 * nc_axx__width(c, b);
}

/* The name of a part in block b, or outside the blocks, with an ending. */
static void nc_axx__part_name(const nc_axx_net *net, char *out, size_t room, uint32_t part,
                              uint32_t b, const char *name, const char *ending) {
    const nc_axx__architecture *a = net->architecture;
    if (part >= a->block && part < a->end)
        (void)snprintf(out, room, "%s%u%s%s%s", a->before, (unsigned)(a->base + b), a->after, name,
                       ending);
    else
        (void)snprintf(out, room, "%s%s", name, ending);
}

/* A tensor of the first `rank` sizes that a shape names; its values are placed when all are known.
 */
static nc_axx__tensor *nc_axx__add_tensor(nc_axx_net *net, const size_t *sizes,
                                          const nc_axx__size *shape, uint32_t rank) {
    nc_axx__tensor t;
    memset(&t, 0, sizeof t);
    t.count = 1;
    for (; t.rank < rank && shape[t.rank] != NC_AXX__NONE; t.rank++) {
        t.shape[t.rank] = sizes[shape[t.rank]];
        t.count *= sizes[shape[t.rank]];
    }
    net->parameters += t.count;
    stbds_arrput(net->tensors, t);
    return &stbds_arrlast(net->tensors);
}

/* The layer of a row with these sizes. */
static void nc_axx__add_layer(nc_axx_net *net, const nc_axx__part *p, const size_t *sizes,
                              const char *name, int bias) {
    const int weighted = p->kind == NC_AXX__LINEAR;
    nc_axx__layer layer;
    memset(&layer, 0, sizeof layer);
    (void)snprintf(layer.info.name, sizeof layer.info.name, "%s", name);
    layer.weighted = weighted;
    layer.k = sizes[p->k];
    layer.out = sizes[p->shape[0]];
    layer.rows = sizes[p->rows] * (weighted ? net->config.batch : 1);
    layer.batch = sizes[p->batch] * (weighted ? 1 : net->config.batch);
    layer.info.kind = !weighted ? "matmul" : p->shape[2] != NC_AXX__NONE ? "conv2d" : "linear";
    layer.info.products = sizes[p->batch];
    layer.info.rows = sizes[p->rows];
    layer.info.columns = layer.out;
    layer.info.terms = layer.k;
    layer.info.macs = layer.info.products * layer.info.rows * layer.info.columns * layer.info.terms;
    layer.info.options.bits = net->config.bits;
    if (weighted) layer.info.parameters = (uint64_t)layer.k * layer.out + (bias ? layer.out : 0);
    stbds_arrput(net->layers, layer);
}

/* Whether a layer has one. */
static int nc_axx__has_bias(const nc_axx_net *net, uint32_t part) {
    const nc_axx_net_config *c = &net->config;
    if (c->kind != NC_AXX_NET_VIT) return 1;
    switch (part) {
    case NC_AXX__PART_EMBED: return !c->pre_norm;
    case NC_AXX__PART_QKV: return !c->no_qkv_bias;
    case NC_AXX__PART_HEAD:
    case NC_AXX__PART_HEAD_DIST: return 1;
    default: return !c->no_proj_bias;
    }
}

/* Values at first. */
static void nc_axx__begin_tensor(nc_axx__tensor *t, nc_axx__part_kind kind) {
    t->decays = kind == NC_AXX__LINEAR;
    t->start = kind == NC_AXX__NORM ? 1.0f : kind == NC_AXX__SCALE ? 1e-5f : 0.0f;
    if (kind == NC_AXX__TOKEN) t->deviation = 0.02f;
    if (t->decays) t->deviation = 1.0f / sqrtf((float)t->count / (float)t->shape[0]);
}

/* The tensors and the layer of a part of block b. */
static void nc_axx__add_part(nc_axx_net *net, uint32_t part, uint32_t b) {
    const nc_axx__part *p = &net->architecture->parts[part];
    const int single = p->kind == NC_AXX__TOKEN || p->kind == NC_AXX__SCALE;
    const int layer = p->kind == NC_AXX__LINEAR || p->kind == NC_AXX__PRODUCT;
    const int bias =
        p->kind == NC_AXX__NORM || (p->kind == NC_AXX__LINEAR && nc_axx__has_bias(net, part));
    size_t sizes[NC_AXX__SIZES];
    char name[sizeof net->layers->info.name];
    nc_axx__place place = {NC_AXX__ABSENT, NC_AXX__ABSENT};
    nc_axx__tensor *t;
    uint32_t i, there = 1;
    nc_axx__sizes(net, b, sizes);
    for (i = 0; i < 4 && p->shape[i] != NC_AXX__NONE; i++) there = there && sizes[p->shape[i]];
    if (there && p->kind != NC_AXX__PRODUCT) place.tensor = (uint32_t)stbds_arrlenu(net->tensors);
    if (there && layer) place.layer = (uint32_t)stbds_arrlenu(net->layers);
    stbds_arrput(net->places, place);
    if (place.tensor != NC_AXX__ABSENT) {
        t = nc_axx__add_tensor(net, sizes, p->shape, 4);
        nc_axx__part_name(net, t->name, sizeof t->name, part, b, p->tensor,
                          single ? "" : ".weight");
        nc_axx__begin_tensor(t, p->kind);
    }
    if (there && bias) {
        t = nc_axx__add_tensor(net, sizes, p->shape, 1);
        nc_axx__part_name(net, t->name, sizeof t->name, part, b, p->tensor, ".bias");
    }
    if (place.layer != NC_AXX__ABSENT) {
        nc_axx__part_name(net, name, sizeof name, part, b, p->layer, "");
        nc_axx__add_layer(net, p, sizes, name, bias);
    }
}

/* All parts in the table's order, those of a block for each of them. */
static void nc_axx__add_parts(nc_axx_net *net) {
    const nc_axx__architecture *a = net->architecture;
    uint32_t b, part;
    for (part = 0; part < a->block; part++) nc_axx__add_part(net, part, 0);
    for (b = 0; b < net->config.depth; b++)
        for (part = a->block; part < a->end; part++) nc_axx__add_part(net, part, b);
    for (part = a->end; part < a->count; part++) nc_axx__add_part(net, part, 0);
}

/* Where a part of block b (0 outside the blocks) is. */
static nc_axx__place nc_axx__place_of(const nc_axx_net *net, uint32_t part, uint32_t b) {
    const nc_axx__architecture *a = net->architecture;
    if (part >= a->end) b = net->config.depth - 1; /* behind the last block */
    return net->places[part + (size_t)b * (a->end - a->block)];
}

/* Tensors, in the order they were made, on the parameters; layers on their tensors. */
static void nc_axx__place_parameters(nc_axx_net *net) {
    float *at = net->values;
    size_t i;
    for (i = 0; i < stbds_arrlenu(net->tensors); i++) {
        net->tensors[i].values = at;
        at += net->tensors[i].count;
    }
    for (i = 0; i < stbds_arrlenu(net->places); i++) {
        const nc_axx__place place = net->places[i];
        const nc_axx__tensor *t;
        nc_axx__layer *l;
        if (place.tensor == NC_AXX__ABSENT || place.layer == NC_AXX__ABSENT) continue;
        t = &net->tensors[place.tensor];
        l = &net->layers[place.layer];
        l->weight = t[0].values;
        l->bias = l->info.parameters > t[0].count ? t[1].values : NULL;
    }
}

static float *nc_axx__floats(nc_axx__arena *a, size_t count) {
    return (float *)nc_axx__piece(a, count, sizeof(float));
}

/* A block's pieces of the memory. */
static void nc_axx__place_block(const nc_axx_net *net, nc_axx__block *k, nc_axx__arena *a) {
    const nc_axx_net_config *c = &net->config;
    const size_t rows = (size_t)c->batch * net->tokens, heads = rows * c->heads;
    float **wide[] = {&k->x, &k->norm[0], &k->middle, &k->norm[1]};
    float **attention[] = {&k->q, &k->k, &k->v, &k->context, &k->merged};
    float **narrow[] = {&k->mean[0], &k->rstd[0], &k->mean[1], &k->rstd[1]};
    size_t i;
    for (i = 0; i < sizeof wide / sizeof *wide; i++) *wide[i] = nc_axx__floats(a, rows * c->dim);
    for (i = 0; i < sizeof attention / sizeof *attention; i++)
        *attention[i] = nc_axx__floats(a, heads * c->head_dim);
    for (i = 0; i < sizeof narrow / sizeof *narrow; i++) *narrow[i] = nc_axx__floats(a, rows);
    for (i = 0; i < 2 && c->qk_norm; i++) {
        k->plain[i] = nc_axx__floats(a, heads * c->head_dim);
        k->plain_mean[i] = nc_axx__floats(a, heads);
        k->plain_rstd[i] = nc_axx__floats(a, heads);
    }
    for (i = 0; i < 2 && (c->layer_scale || c->post_norm); i++)
        k->added[i] = nc_axx__floats(a, rows * c->dim);
    k->scores = nc_axx__floats(a, heads * net->tokens);
    k->hidden = nc_axx__floats(a, rows * c->mlp * (c->gated ? 2 : 1));
    k->gelu = nc_axx__floats(a, rows * c->mlp);
}

/* The memory's pieces; twice, first for the size. */
static void nc_axx__place_net(nc_axx_net *net, nc_axx__arena *a) {
    const nc_axx_net_config *c = &net->config;
    const int vit = c->kind == NC_AXX_NET_VIT;
    const size_t rows = vit ? (size_t)c->batch * net->tokens : 0, dim = rows * c->dim;
    size_t most_a = 0, most_b = 0, most_out = 0, most = 3 * dim, i;
    uint32_t b;
    if (c->gated) most = nc_axx__larger(most, 2 * rows * c->mlp);
    for (b = 0; vit && b < c->depth; b++)
        if (b && c->inference) /* nothing of a block is looked at behind it */
            net->blocks[b] = net->blocks[0];
        else
            nc_axx__place_block(net, &net->blocks[b], a);
    for (b = 0; !vit && b <= c->depth; b++) {
        const size_t side = nc_axx__side(c, b);
        const size_t count = c->batch * side * side * nc_axx__width(c, b);
        net->features[b] = nc_axx__floats(a, count);
        most = nc_axx__larger(most, count);
    }
    for (i = 0; i < stbds_arrlenu(net->layers); i++) {
        const nc_axx__layer *l = &net->layers[i];
        const size_t first = l->batch * l->rows * l->k, second = l->batch * l->k * l->out;
        most_a = nc_axx__larger(most_a, first);
        most_b = nc_axx__larger(most_b, second);
        most_out = nc_axx__larger(most_out, l->out);
        most = nc_axx__larger(most, nc_axx__larger(first, l->batch * l->rows * l->out));
        if (!l->weighted) most = nc_axx__larger(most, second);
    }
    net->patches = nc_axx__floats(a, vit ? net->layers[0].rows * net->layers[0].k : most_a);
    net->embedded = nc_axx__floats(a, dim);
    if (c->pre_norm) {
        net->joined = nc_axx__floats(a, dim);
        net->pre_mean = nc_axx__floats(a, rows);
        net->pre_rstd = nc_axx__floats(a, rows);
    }
    net->last = nc_axx__floats(a, dim);
    net->final = nc_axx__floats(a, dim);
    net->mean = nc_axx__floats(a, rows);
    net->rstd = nc_axx__floats(a, rows);
    net->pooled = nc_axx__floats(a, c->batch * (vit ? c->dim : nc_axx__width(c, c->depth)));
    net->features_of_head =
        c->fc_norm == 1 ? nc_axx__floats(a, (size_t)c->batch * c->dim) : net->pooled;
    if (c->distilled) {
        net->pooled_dist = nc_axx__floats(a, (size_t)c->batch * c->dim);
        net->logits_dist = nc_axx__floats(a, (size_t)c->batch * c->classes);
    }
    net->logits = nc_axx__floats(a, (size_t)c->batch * c->classes);
    net->losses = nc_axx__floats(a, c->batch);
    if (!c->inference) {
        net->d0 = nc_axx__floats(a, most);
        net->d1 = nc_axx__floats(a, most);
        net->d2 = nc_axx__floats(a, most);
    }
    net->wide = nc_axx__floats(a, most);
    net->float_a = nc_axx__floats(a, most_a);
    net->float_b = nc_axx__floats(a, most_b);
    net->scales = nc_axx__floats(a, most_out);
    net->of_weights = (nc_axx_calibrator *)nc_axx__piece(a, 1, sizeof *net->of_weights);
    net->byte_a = (uint8_t *)nc_axx__piece(a, most_a, 1);
    net->byte_b = (uint8_t *)nc_axx__piece(a, most_b, 1);
    net->work = (uint8_t *)nc_axx__piece(a, net->work_bytes, 1);
}

NC_API void nc_axx_net_destroy(nc_axx_net *net) {
    if (!net) return;
    nc_axx_engine_destroy(net->exact);
    stbds_arrfree(net->layers);
    stbds_arrfree(net->tensors);
    stbds_arrfree(net->places);
    nc__free(NULL, net->values, 0);
    nc__free(NULL, net->pruned, 0);
    nc__free(NULL, net->memory, 0);
    nc__free(NULL, net, 0);
}

static nc_status nc_axx__exact_engine(nc_axx_engine **engine) {
    nc_axx_mult *m = (nc_axx_mult *)nc__alloc(NULL, sizeof *m);
    nc_status status = NC_ERR_MEMORY;
    if (!m) return status;
    status = nc_axx_generate(m, NC_AXX_EXACT, 0, 0, 0);
    if (status == NC_OK) status = nc_axx_engine_create(engine, m);
    nc__free(NULL, m, sizeof *m);
    return status;
}

/* Work memory for the largest layer and any engine. */
static size_t nc_axx__net_work_bytes(const nc_axx_net *net) {
    size_t most = nc_hlx_gemm_work_bytes() + 64, i;
    for (i = 0; i < stbds_arrlenu(net->layers); i++) {
        const nc_axx__layer *l = &net->layers[i];
        most = nc_axx__larger(most, l->weighted
                                        ? nc_axx_linear_work_bytes(NULL, l->rows, l->k, l->out)
                                        : nc_axx_matmul_work_bytes(NULL, l->rows, l->out, l->k));
    }
    return most;
}

static void nc_axx__count_tokens(nc_axx_net *net) {
    const nc_axx_net_config *c = &net->config;
    net->prefix = (size_t)(c->mean_pool != 1) + c->distilled + c->registers;
    net->tokens = net->prefix + (size_t)(c->image / c->patch) * (c->width / c->patch);
}

/* Everything of a network whose configuration is set. */
static nc_status nc_axx__build(nc_axx_net *net) {
    const nc_axx_net_config *c = &net->config;
    nc_axx__arena arena = nc_axx__arena_of(NULL);
    nc_status status = nc_axx__check_config(&net->config, NULL);
    if (status == NC_OK) status = nc_axx__exact_engine(&net->exact);
    if (status != NC_OK) return status;
    net->architecture = &nc_axx__architectures[c->kind];
    if (c->kind == NC_AXX_NET_VIT) nc_axx__count_tokens(net);
    nc_axx__add_parts(net);
    net->work_bytes = nc_axx__net_work_bytes(net);
    nc_axx__place_net(net, &arena);
    net->values = (float *)nc__calloc(
        NULL, nc__mul_size(net->parameters, (c->inference ? 1 : 4) * sizeof(float)));
    net->memory_bytes = nc_axx__arena_bytes(&arena);
    net->memory = (uint8_t *)nc__calloc(NULL, net->memory_bytes);
    if (!net->values || !net->memory) return NC_ERR_MEMORY;
    if (!c->inference) {
        net->gradients = net->values + net->parameters;
        net->first = net->gradients + net->parameters;
        net->second = net->first + net->parameters;
    }
    arena = nc_axx__arena_of(net->memory);
    nc_axx__place_net(net, &arena);
    nc_axx__place_parameters(net);
    return NC_OK;
}

NC_API nc_status nc_axx_net_create(nc_axx_net **net, const nc_axx_net_config *config) {
    nc_axx_net *made;
    nc_status status;
    if (!net) return NC_ERR_ARG;
    *net = NULL;
    if (!config) return NC_ERR_ARG;
    made = (nc_axx_net *)nc__calloc(NULL, sizeof *made);
    if (!made) return NC_ERR_MEMORY;
    made->config = *config;
    status = nc_axx__build(made);
    if (status == NC_OK)
        *net = made;
    else
        nc_axx_net_destroy(made);
    return status;
}

/* About normal, deviation 1: the sum of twelve uniform numbers, less its mean. */
static float nc_axx__normal(uint64_t seed, uint64_t tensor, uint64_t index) {
    uint32_t words[4], i, k;
    float sum = -6.0f;
    for (i = 0; i < 3; i++) {
        nc__philox(seed, index * 3 + i, tensor, words);
        for (k = 0; k < 4; k++) sum += (float)(words[k] >> 8) / 16777216.0f;
    }
    return sum;
}

NC_API void nc_axx_net_init(nc_axx_net *net, uint64_t seed) {
    size_t i, k;
    memset(net->values, 0, (net->config.inference ? 1 : 4) * net->parameters * sizeof(float));
    for (i = 0; i < stbds_arrlenu(net->tensors); i++) {
        const nc_axx__tensor *t = &net->tensors[i];
        for (k = 0; k < t->count; k++)
            t->values[k] = t->deviation > 0 ? t->deviation * nc_axx__normal(seed, i, k) : t->start;
    }
}

NC_API const nc_axx_net_config *nc_axx_net_get_config(const nc_axx_net *net) {
    return &net->config;
}

NC_API size_t nc_axx_net_bytes(const nc_axx_net *net) {
    return sizeof *net + sizeof *net->exact + net->memory_bytes +
           (net->config.inference ? 1 : 4) * net->parameters * sizeof(float) +
           (net->pruned ? net->parameters : 0);
}

NC_API float *nc_axx_net_parameters(nc_axx_net *net, size_t *count) {
    if (count) *count = net->parameters;
    return net->values;
}

NC_API const float *nc_axx_net_gradients(const nc_axx_net *net) { return net->gradients; }

NC_API uint32_t nc_axx_net_layers(const nc_axx_net *net) {
    return (uint32_t)stbds_arrlenu(net->layers);
}

/* -- how a layer of a network or a node of a graph multiplies -- */

/* Whether a pattern of * and ? fits a name. */
static int nc_axx__pattern_fits(const char *pattern, const char *name) {
    const char *star = NULL, *from = name; /* the last *, and where what follows it was tried */
    while (*name) {
        if (*pattern == '*') {
            star = pattern++;
            from = name;
        } else if (*pattern == '?' || *pattern == *name) {
            pattern++;
            name++;
        } else if (star) {
            pattern = star + 1;
            name = ++from;
        } else {
            return 0;
        }
    }
    while (*pattern == '*') pattern++;
    return !*pattern;
}

/* Whether layers can compute with an engine; null is one of exact products. */
static int nc_axx__serves_layers(const nc_axx_engine *e) {
    return !e || (!e->a_unsigned && !e->b_unsigned && !e->wide);
}

static nc_status nc_axx__check_layer_options(const nc_axx_layer_options *o, nc_error *err) {
    if ((unsigned)o->mode > NC_AXX_MODE_INTEGER)
        return nc__fail(err, NC_ERR_ARG, 0, 0, "mode %u is none", (unsigned)o->mode);
    if (o->bits && (o->bits < 2 || o->bits > 8))
        return nc__fail(err, NC_ERR_ARG, 0, 0, "%u bits, where 2 to 8 are possible",
                        (unsigned)o->bits);
    if (o->per_tensor > 1)
        return nc__fail(err, NC_ERR_ARG, 0, 0, "per_tensor %u is not 0 or 1",
                        (unsigned)o->per_tensor);
    if (!(o->weight_percent >= 0 && o->weight_percent <= 100))
        return nc__fail(err, NC_ERR_ARG, 0, 0, "weight_percent is not 0 to 100");
    if (!nc_axx__serves_layers(o->engine))
        return nc__fail(err, NC_ERR_ARG, 0, 0, "'%.47s' has operands that are %s",
                        o->engine->info.name, o->engine->wide ? "of 16 bits" : "unsigned");
    return NC_OK;
}

/* What follows from the options: multiplier (but for one that is wanted) and power. */
static void nc_axx__complete_info(nc_axx_layer_info *info) {
    const nc_axx_engine *e = info->options.engine;
    if (e) (void)snprintf(info->multiplier, sizeof info->multiplier, "%s", e->info.name);
    info->power = 1.0f;
    if (info->options.mode == NC_AXX_MODE_INTEGER && *info->multiplier)
        info->power = e ? e->info.relative_power : 0.0f;
}

/* Weights (rows x columns) as bytes, and the scale of every row. */
static void nc_axx__code_weights(const nc_axx_layer_options *o, nc_axx_calibrator *c, uint8_t *q,
                                 float *scales, const float *w, size_t rows, size_t columns) {
    const size_t together = o->per_tensor ? rows : 1, n = together * columns;
    size_t r, k;
    for (r = 0; r < rows; r += together, w += n, q += n) {
        float amax = nc_axx_amax(w, n);
        if (o->weight_percent > 0) {
            nc_axx_calibrator_reset(c);
            nc_axx_calibrator_collect(c, w, n);
            amax =
                nc_axx_calibrator_amax(c, NC_AXX_CALIBRATE_PERCENTILE, o->weight_percent, o->bits);
        }
        for (k = 0; k < together; k++) scales[r + k] = nc_axx_scale(amax, o->bits);
        nc_axx_quantize((int8_t *)q, w, n, scales[r], o->bits);
    }
}

static const char *const nc_axx__mode_names[] = {"float", "fake", "integer"};

/* A share with four digits behind the point, whatever the locale. */
static void nc_axx__print_share(nc__buffer *b, double share) {
    const uint64_t all = (uint64_t)(share * 10000.0 + 0.5);
    nc__buffer_print(b, "%3llu.%04u", (unsigned long long)(all / 10000), (unsigned)(all % 10000));
}

/* Widths of the columns with names and kinds, and all MACs. */
typedef struct nc_axx__columns {
    size_t name, kind;
    uint64_t macs;
} nc_axx__columns;

/* One line of the table. */
static void nc_axx__print_layer(nc__buffer *b, const nc_axx_layer_info *l,
                                const nc_axx__columns *c) {
    const nc_axx_layer_options *o = &l->options;
    const int quantised = o->mode != NC_AXX_MODE_FLOAT;
    char shape[100], bits[8] = "-";
    const char *scales = "-", *multiplier = "-";
    (void)snprintf(shape, sizeof shape, "%llu x %llu x %llu x %llu",
                   (unsigned long long)l->products, (unsigned long long)l->rows,
                   (unsigned long long)l->columns, (unsigned long long)l->terms);
    if (quantised) (void)snprintf(bits, sizeof bits, "%u", (unsigned)(o->bits % 100));
    if (quantised && l->parameters && o->weight_percent > 0)
        scales = o->per_tensor ? "tensor, percentile" : "channel, percentile";
    else if (quantised && l->parameters)
        scales = o->per_tensor ? "tensor" : "channel";
    if (o->mode == NC_AXX_MODE_INTEGER) multiplier = *l->multiplier ? l->multiplier : "exact";
    nc__buffer_print(b, "%-*s  %-*s  %22s  %13llu", (int)c->name, l->name, (int)c->kind, l->kind,
                     shape, (unsigned long long)l->macs);
    nc_axx__print_share(b, c->macs ? (double)l->macs / (double)c->macs : 0.0);
    nc__buffer_print(b, "  %-7s  %4s  %-19s  %-20s", nc_axx__mode_names[o->mode], bits, scales,
                     multiplier);
    if (l->power > 0)
        nc_axx__print_share(b, (double)l->power);
    else
        nc__buffer_print(b, " unknown");
    nc__buffer_put(b, "\n", 1);
}

NC_API nc_status nc_axx_layer_table(const nc_axx_layer_info *layers, uint32_t count, char **text,
                                    size_t *bytes) {
    nc_axx__columns c = {5, 6, 0};
    nc__buffer b;
    double power = 0;
    int known = count > 0;
    size_t i;
    if (text) *text = NULL;
    if ((count && !layers) || !text || !bytes) return NC_ERR_ARG;
    memset(&b, 0, sizeof b);
    for (i = 0; i < count; i++) {
        c.name = nc_axx__larger(c.name, strlen(layers[i].name));
        c.kind = nc_axx__larger(c.kind, strlen(layers[i].kind));
        c.macs += layers[i].macs;
        power += (double)layers[i].power * (double)layers[i].macs;
        known = known && layers[i].power > 0;
    }
    nc__buffer_print(&b, "%-*s  %-*s  %22s  %13s   share  %-7s  %4s  %-19s  %-20s   power\n",
                     (int)c.name, "layer", (int)c.kind, "kind", "products x m x n x k", "MACs",
                     "mode", "bits", "scales of weights", "multiplier");
    for (i = 0; i < count; i++) nc_axx__print_layer(&b, &layers[i], &c);
    nc__buffer_print(&b, "%-*s  %-*s  %22s  %13llu", (int)c.name, "all", (int)c.kind, "", "",
                     (unsigned long long)c.macs);
    nc__buffer_print(&b, "  1.0000  %-7s  %4s  %-19s  %-20s", "", "", "", "");
    if (known && c.macs)
        nc_axx__print_share(&b, power / (double)c.macs);
    else
        nc__buffer_print(&b, " unknown");
    nc__buffer_put(&b, "\n", 1);
    return nc_axx__hand_over(&b, NC_OK, text, bytes, NULL);
}

NC_API nc_status nc_axx_net_layer(const nc_axx_net *net, uint32_t layer, nc_axx_layer_info *info) {
    if (!net || !info || layer >= nc_axx_net_layers(net)) return NC_ERR_ARG;
    *info = net->layers[layer].info;
    nc_axx__complete_info(info);
    return NC_OK;
}

NC_API nc_status nc_axx_net_table(const nc_axx_net *net, char **text, size_t *bytes) {
    nc_axx_layer_info *layers;
    nc_status status;
    uint32_t i, count;
    if (text) *text = NULL;
    if (bytes) *bytes = 0;
    if (!net || !text || !bytes) return NC_ERR_ARG;
    count = nc_axx_net_layers(net);
    layers = (nc_axx_layer_info *)nc__alloc(NULL, count * sizeof *layers);
    if (!layers) return NC_ERR_MEMORY;
    for (i = 0; i < count; i++) (void)nc_axx_net_layer(net, i, &layers[i]);
    status = nc_axx_layer_table(layers, count, text, bytes);
    nc__free(NULL, layers, 0);
    return status;
}

NC_API void nc_axx_net_set_mode(nc_axx_net *net, nc_axx_mode mode) {
    size_t i;
    if ((unsigned)mode > NC_AXX_MODE_INTEGER) return;
    for (i = 0; i < stbds_arrlenu(net->layers); i++) net->layers[i].info.options.mode = mode;
}

NC_API nc_status nc_axx_net_assign(nc_axx_net *net, uint32_t layer, const nc_axx_engine *engine) {
    if (!net || layer >= nc_axx_net_layers(net)) return NC_ERR_ARG;
    if (!nc_axx__serves_layers(engine)) return NC_ERR_ARG;
    net->layers[layer].info.options.engine = engine;
    net->layers[layer].info.multiplier[0] = 0;
    return NC_OK;
}

/* Whether a layer fits by its name or by its weights'. */
static int nc_axx__layer_fits(const nc_axx_net *net, size_t layer, const char *pattern) {
    char name[sizeof net->tensors->name];
    size_t i;
    if (nc_axx__pattern_fits(pattern, net->layers[layer].info.name)) return 1;
    for (i = 0; i < stbds_arrlenu(net->tensors); i++)
        if (net->layers[layer].weight == net->tensors[i].values) {
            (void)snprintf(name, sizeof name, "%s", net->tensors[i].name);
            name[strlen(name) - strlen(".weight")] = 0;
            return nc_axx__pattern_fits(pattern, name);
        }
    return 0;
}

NC_API nc_status nc_axx_net_set(nc_axx_net *net, const char *pattern,
                                const nc_axx_layer_options *options, uint32_t *count,
                                nc_error *err) {
    nc_status status;
    uint32_t fit = 0;
    size_t i;
    nc__clear(err);
    if (!net || !pattern || !options) return nc__fail(err, NC_ERR_ARG, 0, 0, "null argument");
    status = nc_axx__check_layer_options(options, err);
    if (status != NC_OK) return status;
    for (i = 0; i < stbds_arrlenu(net->layers); i++) {
        nc_axx_layer_info *info = &net->layers[i].info;
        if (!nc_axx__layer_fits(net, i, pattern)) continue;
        info->options = *options;
        if (!options->bits) info->options.bits = net->config.bits;
        info->multiplier[0] = 0;
        fit++;
    }
    if (count) *count = fit;
    if (!fit)
        return nc__fail(err, NC_ERR_ARG, 0, 0, "'%.60s' fits none of %u layers, %.39s to %.39s",
                        pattern, (unsigned)i, net->layers[0].info.name,
                        net->layers[i - 1].info.name);
    return NC_OK;
}

NC_API double nc_axx_net_power(const nc_axx_net *net, const float *power_of_layer) {
    double sum = 0, all = 0;
    size_t i;
    for (i = 0; i < stbds_arrlenu(net->layers); i++) {
        sum += (double)net->layers[i].info.macs * (double)power_of_layer[i];
        all += (double)net->layers[i].info.macs;
    }
    return sum / all;
}

/* -- one layer, in every mode -- */

static float nc_axx__layer_scale(const nc_axx__layer *l, int operand) {
    return nc_axx_scale(l->info.amax[operand], l->info.options.bits);
}

/* While calibrating all is float32. */
static nc_axx_mode nc_axx__layer_mode(const nc_axx_net *net, const nc_axx__layer *l) {
    return net->seen ? NC_AXX_MODE_FLOAT : l->info.options.mode;
}

/* An activation's bytes. */
static void nc_axx__code_operand(nc_axx_net *net, const nc_axx__layer *l, int operand,
                                 const float *x, size_t n) {
    nc_axx_quantize((int8_t *)(operand ? net->byte_b : net->byte_a), x, n,
                    nc_axx__layer_scale(l, operand), l->info.options.bits);
}

/* An activation quantised and, for float32 products, back. */
static const float *nc_axx__operand_of(nc_axx_net *net, const nc_axx__layer *l, int operand,
                                       const float *x, size_t n) {
    uint8_t *bytes = operand ? net->byte_b : net->byte_a;
    float *floats = operand ? net->float_b : net->float_a;
    if (nc_axx__layer_mode(net, l) == NC_AXX_MODE_FLOAT) return x;
    nc_axx__code_operand(net, l, operand, x, n);
    nc_axx_dequantize(floats, bytes, n, nc_axx__layer_scale(l, operand), 0);
    return floats;
}

/* The weights likewise, each row with its scale. */
static const float *nc_axx__weights_of(nc_axx_net *net, const nc_axx__layer *l) {
    size_t r;
    if (nc_axx__layer_mode(net, l) == NC_AXX_MODE_FLOAT) return l->weight;
    nc_axx__code_weights(&l->info.options, net->of_weights, net->byte_b, net->scales, l->weight,
                         l->out, l->k);
    for (r = 0; r < l->out; r++)
        nc_axx_dequantize(net->float_b + r * l->k, net->byte_b + r * l->k, l->k, net->scales[r], 0);
    return net->float_b;
}

/* Count an operand's values while calibrating. */
static void nc_axx__see(nc_axx_net *net, const nc_axx__layer *l, int operand, const float *x,
                        size_t n) {
    if (net->seen) nc_axx_calibrator_collect(&net->seen[2 * (l - net->layers) + operand], x, n);
}

static const nc_axx_engine *nc_axx__engine_of(const nc_axx_net *net, const nc_axx__layer *l) {
    return l->info.options.engine && !l->waits ? l->info.options.engine : net->exact;
}

static float *nc_axx__gradient_of(const nc_axx_net *net, const float *values) {
    return net->gradients + (values - net->values);
}

static nc_axx__layer *nc_axx__layer_of(const nc_axx_net *net, uint32_t part, uint32_t b) {
    return &net->layers[nc_axx__place_of(net, part, b).layer];
}

/* The first tensor of a part. */
static const nc_axx__tensor *nc_axx__tensor_of(const nc_axx_net *net, uint32_t part, uint32_t b) {
    return &net->tensors[nc_axx__place_of(net, part, b).tensor];
}

/* A matrix as nc_hlx_gemm takes it. */
typedef struct nc_axx__matrix {
    const float *at;
    int transposed;
    size_t columns; /* as it lies in memory */
} nc_axx__matrix;

static nc_axx__matrix nc_axx__matrix_of(const float *at, size_t columns, int transposed) {
    nc_axx__matrix m;
    m.at = at;
    m.transposed = transposed;
    m.columns = columns;
    return m;
}

/* y (m x n) = a b, k terms each, or += with `add`. */
static void nc_axx__net_gemm(nc_axx_net *net, nc_axx__matrix a, nc_axx__matrix b, float *y,
                             size_t m, size_t n, size_t k, int add) {
    if (net->status == NC_OK)
        net->status = nc_hlx_gemm(a.transposed, b.transposed, m, n, k, a.at, a.columns, b.at,
                                  b.columns, y, n, add, net->work, net->work_bytes);
}

/* y (rows x out) = x w^T + bias. */
static void nc_axx__net_linear(nc_axx_net *net, const nc_axx__layer *l, const float *x, float *y,
                               size_t rows) {
    const float scale = nc_axx__layer_scale(l, 0);
    size_t r, o;
    nc_axx__see(net, l, 0, x, rows * l->k);
    if (nc_axx__layer_mode(net, l) == NC_AXX_MODE_INTEGER) {
        nc_axx__code_operand(net, l, 0, x, rows * l->k);
        nc_axx__code_weights(&l->info.options, net->of_weights, net->byte_b, net->scales, l->weight,
                             l->out, l->k);
        if (net->status == NC_OK)
            net->status = nc_axx_linear(nc_axx__engine_of(net, l), net->byte_a, scale, net->byte_b,
                                        net->scales, l->bias, y, rows, l->k, l->out, net->work,
                                        net->work_bytes);
        return;
    }
    x = nc_axx__operand_of(net, l, 0, x, rows * l->k);
    nc_axx__net_gemm(net, nc_axx__matrix_of(x, l->k, 0),
                     nc_axx__matrix_of(nc_axx__weights_of(net, l), l->k, 1), y, rows, l->out, l->k,
                     0);
    for (r = 0; r < rows && l->bias; r++)
        for (o = 0; o < l->out; o++) y[r * l->out + o] += l->bias[o];
}

/* dx (null: not wanted) and the gradients of weight and bias, from the operands of the forward. */
static void nc_axx__net_linear_back(nc_axx_net *net, const nc_axx__layer *l, const float *x,
                                    const float *dy, float *dx, size_t rows) {
    if (dx)
        nc_axx__net_gemm(net, nc_axx__matrix_of(dy, l->out, 0),
                         nc_axx__matrix_of(nc_axx__weights_of(net, l), l->k, 0), dx, rows, l->k,
                         l->out, 0);
    x = nc_axx__operand_of(net, l, 0, x, rows * l->k);
    nc_axx__net_gemm(net, nc_axx__matrix_of(dy, l->out, 1), nc_axx__matrix_of(x, l->k, 0),
                     nc_axx__gradient_of(net, l->weight), l->out, l->k, rows, 1);
    if (l->bias) nc_hlx_column_sums(nc_axx__gradient_of(net, l->bias), dy, rows, l->out);
}

/* y = a b^T (by_rows: a b) for `count` matrices. */
static void nc_axx__net_matmul(nc_axx_net *net, const nc_axx__layer *l, const float *a,
                               const float *b, int by_rows, float *y, size_t count) {
    const size_t m = l->rows, n = l->out, k = l->k;
    size_t i;
    nc_axx__see(net, l, 0, a, count * m * k);
    nc_axx__see(net, l, 1, b, count * n * k);
    if (nc_axx__layer_mode(net, l) == NC_AXX_MODE_INTEGER) {
        const float one = nc_axx__layer_scale(l, 0), two = nc_axx__layer_scale(l, 1);
        nc_axx__code_operand(net, l, 0, a, count * m * k);
        nc_axx__code_operand(net, l, 1, b, count * n * k);
        if (net->status == NC_OK)
            net->status =
                nc_axx_matmul(nc_axx__engine_of(net, l), net->byte_a, one, net->byte_b, two,
                              by_rows, y, count, m, n, k, net->work, net->work_bytes);
        return;
    }
    a = nc_axx__operand_of(net, l, 0, a, count * m * k);
    b = nc_axx__operand_of(net, l, 1, b, count * n * k);
    for (i = 0; i < count; i++)
        nc_axx__net_gemm(net, nc_axx__matrix_of(a + i * m * k, k, 0),
                         nc_axx__matrix_of(b + i * n * k, by_rows ? n : k, !by_rows), y + i * m * n,
                         m, n, k, 0);
}

/* da and db, overwritten. */
static void nc_axx__net_matmul_back(nc_axx_net *net, const nc_axx__layer *l, const float *a,
                                    const float *b, int by_rows, const float *dy, float *da,
                                    float *db, size_t count) {
    const size_t m = l->rows, n = l->out, k = l->k;
    size_t i;
    a = nc_axx__operand_of(net, l, 0, a, count * m * k);
    b = nc_axx__operand_of(net, l, 1, b, count * n * k);
    for (i = 0; i < count; i++) {
        const float *from = dy + i * m * n, *left = a + i * m * k, *right = b + i * n * k;
        nc_axx__net_gemm(net, nc_axx__matrix_of(from, n, 0),
                         nc_axx__matrix_of(right, by_rows ? n : k, by_rows), da + i * m * k, m, k,
                         n, 0);
        if (by_rows)
            nc_axx__net_gemm(net, nc_axx__matrix_of(left, k, 1), nc_axx__matrix_of(from, n, 0),
                             db + i * n * k, k, n, m, 0);
        else
            nc_axx__net_gemm(net, nc_axx__matrix_of(from, n, 1), nc_axx__matrix_of(left, k, 0),
                             db + i * n * k, n, k, m, 0);
    }
}

/* Layer norm of rows of its weight's length; mean and rstd are kept for the way back. */
static void nc_axx__net_norm(const nc_axx_net *net, uint32_t part, uint32_t b, float *y,
                             float *mean, float *rstd, const float *x, size_t rows) {
    const nc_axx__tensor *t = nc_axx__tensor_of(net, part, b);
    nc_hlx_layernorm_eps(y, mean, rstd, x, t[0].values, t[1].values, rows, t[0].count,
                         net->config.eps);
}

/* dx += its gradient; those of its weight and bias too. */
static void nc_axx__net_norm_back(const nc_axx_net *net, uint32_t part, uint32_t b, float *dx,
                                  const float *dy, const float *x, const float *mean,
                                  const float *rstd, size_t rows) {
    const nc_axx__tensor *t = nc_axx__tensor_of(net, part, b);
    nc_hlx_layernorm_backward(dx, nc_axx__gradient_of(net, t[0].values),
                              nc_axx__gradient_of(net, t[1].values), dy, x, t[0].values, mean, rstd,
                              rows, t[0].count);
}

/* -- the transformer -- */

/* erf by formula 7.1.26 of Abramowitz and Stegun, error below 2e-7, and e^(-x^2). */
static float nc_axx__erf(float x, float *e) {
    const float a = fabsf(x), t = 1.0f / (1.0f + 0.3275911f * a);
    float p = 1.061405429f;
    *e = nc_hlx_exp(-a * a);
    p = p * t - 1.453152027f;
    p = p * t + 1.421413741f;
    p = p * t - 0.284496736f;
    p = p * t + 0.254829592f;
    p = 1.0f - p * t * *e;
    return x < 0 ? -p : p;
}

/* x Phi(x), the form without tanh that vision transformers are trained with. */
static void nc_axx__gelu(float *y, const float *x, size_t n) {
    ptrdiff_t i;
#ifdef _OPENMP
#pragma omp parallel for schedule(static) if (n > 4096)
#endif
    for (i = 0; i < (ptrdiff_t)n; i++) {
        float e;
        y[i] = 0.5f * x[i] * (1.0f + nc_axx__erf(x[i] * 0.70710678f, &e));
    }
}

static void nc_axx__gelu_back(float *dy, const float *x, size_t n) {
    ptrdiff_t i;
#ifdef _OPENMP
#pragma omp parallel for schedule(static) if (n > 4096)
#endif
    for (i = 0; i < (ptrdiff_t)n; i++) {
        float e;
        const float phi = 0.5f * (1.0f + nc_axx__erf(x[i] * 0.70710678f, &e));
        dy[i] = dy[i] * (phi + x[i] * 0.39894228f * e);
    }
}

/* x sigmoid(beta x). */
static void nc_axx__swish(float *y, const float *x, size_t n, float beta) {
    ptrdiff_t i;
#ifdef _OPENMP
#pragma omp parallel for schedule(static) if (n > 4096)
#endif
    for (i = 0; i < (ptrdiff_t)n; i++) y[i] = x[i] / (1.0f + nc_hlx_exp(-(beta * x[i])));
}

static void nc_axx__swish_back(float *dy, const float *x, size_t n, float beta) {
    ptrdiff_t i;
#ifdef _OPENMP
#pragma omp parallel for schedule(static) if (n > 4096)
#endif
    for (i = 0; i < (ptrdiff_t)n; i++) {
        const float s = 1.0f / (1.0f + nc_hlx_exp(-(beta * x[i])));
        dy[i] = dy[i] * (s + beta * x[i] * s * (1.0f - s));
    }
}

/* Images (NCHW) as rows of patches in the order of a convolution's weights. */
static void nc_axx__cut(const nc_axx_net *net, float *patches, const float *pixels, size_t count) {
    const nc_axx_net_config *c = &net->config;
    size_t image, h, w, ch, i, j;
    for (image = 0; image < count; image++)
        for (h = 0; h < c->image; h += c->patch)
            for (w = 0; w < c->width; w += c->patch)
                for (ch = 0; ch < c->channels; ch++)
                    for (i = 0; i < c->patch; i++)
                        for (j = 0; j < c->patch; j++)
                            *patches++ =
                                pixels[((image * c->channels + ch) * c->image + h + i) * c->width +
                                       w + j];
}

/* Rows of Q, K, V of all heads to matrices of one head, or (back) the other way round. Q is
 * scaled unless a norm comes first. */
static void nc_axx__split(const nc_axx_net *net, float *qkv, float *const part[3], size_t count,
                          int back) {
    const size_t heads = net->config.heads, size = net->config.head_dim, dim = heads * size;
    const float scale = net->config.qk_norm ? 1.0f : 1.0f / sqrtf((float)size);
    size_t image, t, p, h, i;
    for (image = 0; image < count; image++)
        for (t = 0; t < net->tokens; t++)
            for (p = 0; p < 3; p++)
                for (h = 0; h < heads; h++) {
                    float *row = qkv + (image * net->tokens + t) * 3 * dim + p * dim + h * size;
                    float *one = part[p] + ((image * heads + h) * net->tokens + t) * size;
                    for (i = 0; i < size; i++) {
                        const float f = p == 0 ? scale : 1.0f;
                        if (back)
                            row[i] = one[i] * f;
                        else
                            one[i] = row[i] * f;
                    }
                }
}

/* Matrices of one head side by side as rows of all heads, or back. */
static void nc_axx__merge(const nc_axx_net *net, float *rows, float *heads_of, size_t count,
                          int back) {
    const size_t heads = net->config.heads, size = net->config.head_dim, dim = heads * size;
    size_t image, t, h;
    for (image = 0; image < count; image++)
        for (h = 0; h < heads; h++)
            for (t = 0; t < net->tokens; t++) {
                float *row = rows + (image * net->tokens + t) * dim + h * size;
                float *one = heads_of + ((image * heads + h) * net->tokens + t) * size;
                memcpy(back ? one : row, back ? row : one, size * sizeof(float));
            }
}

static void nc_axx__sum(float *y, const float *a, const float *b, size_t n) {
    size_t i;
    for (i = 0; i < n; i++) y[i] = a[i] + b[i];
}

/* y = x factor. */
static void nc_axx__times(float *y, const float *x, float factor, size_t n) {
    size_t i;
    for (i = 0; i < n; i++) y[i] = x[i] * factor;
}

/* The network's activation of n values. */
static void nc_axx__activate(const nc_axx_net *net, float *y, const float *x, size_t n) {
    switch (net->config.activation) {
    case NC_AXX_GELU_TANH: nc_hlx_gelu(y, x, n); break;
    case NC_AXX_GELU_QUICK: nc_axx__swish(y, x, n, 1.702f); break;
    case NC_AXX_SILU: nc_axx__swish(y, x, n, 1.0f); break;
    default: nc_axx__gelu(y, x, n);
    }
}

static void nc_axx__activate_back(const nc_axx_net *net, float *dy, const float *x, size_t n) {
    switch (net->config.activation) {
    case NC_AXX_GELU_TANH: nc_hlx_gelu_backward(dy, dy, x, n); break;
    case NC_AXX_GELU_QUICK: nc_axx__swish_back(dy, x, n, 1.702f); break;
    case NC_AXX_SILU: nc_axx__swish_back(dy, x, n, 1.0f); break;
    default: nc_axx__gelu_back(dy, x, n);
    }
}

/* nc_hlx_swiglu's name of a gate's activation. */
static uint32_t nc_axx__gate_activation(const nc_axx_net *net) {
    return net->config.activation == NC_AXX_SILU ? NC_HLX_SILU : NC_HLX_GELU;
}

/* What attention (0) and MLP (1) of a block compute with: rows that are normalised first, unless
 * they are afterwards. */
static const float *nc_axx__inner(const nc_axx_net *net, const nc_axx__block *k, int i) {
    return !net->config.post_norm ? k->norm[i] : i ? k->middle : k->x;
}

static uint32_t nc_axx__norm_of(int i) { return i ? NC_AXX__PART_NORM2 : NC_AXX__PART_NORM1; }

/* Rows for nc_axx__inner. */
static void nc_axx__enter_branch(nc_axx_net *net, uint32_t b, int i, size_t rows) {
    nc_axx__block *k = &net->blocks[b];
    if (!net->config.post_norm)
        nc_axx__net_norm(net, nc_axx__norm_of(i), b, k->norm[i], k->mean[i], k->rstd[i],
                         i ? k->middle : k->x, rows);
}

/* d0 += the gradient, from that of nc_axx__inner in d1. */
static void nc_axx__enter_branch_back(nc_axx_net *net, uint32_t b, int i, size_t rows) {
    nc_axx__block *k = &net->blocks[b];
    if (net->config.post_norm)
        nc_axx__sum(net->d0, net->d0, net->d1, rows * net->config.dim);
    else
        nc_axx__net_norm_back(net, nc_axx__norm_of(i), b, net->d0, net->d1, i ? k->middle : k->x,
                              k->mean[i], k->rstd[i], rows);
}

/* Where the last layer of attention (0) and MLP (1) writes to. */
static float *nc_axx__added(const nc_axx_net *net, const nc_axx__block *k, int i) {
    return k->added[i] ? k->added[i] : net->wide;
}

/* out = x + what was added, scaled or normalised. */
static void nc_axx__leave_branch(nc_axx_net *net, uint32_t b, int i, float *out, size_t rows) {
    nc_axx__block *k = &net->blocks[b];
    const size_t dim = net->config.dim;
    const float *x = i ? k->middle : k->x, *added = nc_axx__added(net, k, i), *gamma;
    size_t r, j;
    if (net->config.post_norm) {
        nc_axx__net_norm(net, nc_axx__norm_of(i), b, k->norm[i], k->mean[i], k->rstd[i], added,
                         rows);
        added = k->norm[i];
    }
    if (!net->config.layer_scale) {
        nc_axx__sum(out, x, added, rows * dim);
        return;
    }
    gamma = nc_axx__tensor_of(net, i ? NC_AXX__PART_SCALE2 : NC_AXX__PART_SCALE1, b)->values;
    for (r = 0; r < rows; r++)
        for (j = 0; j < dim; j++) out[r * dim + j] = x[r * dim + j] + gamma[j] * added[r * dim + j];
}

/* The gradient of what was added from d0, that of the sum: in d2, or d0 itself. `wide` is
 * overwritten. */
static const float *nc_axx__leave_branch_back(nc_axx_net *net, uint32_t b, int i, size_t rows) {
    nc_axx__block *k = &net->blocks[b];
    const size_t dim = net->config.dim;
    const float *gamma;
    size_t r, j;
    if (net->config.post_norm) {
        memset(net->d2, 0, rows * dim * sizeof(float));
        nc_axx__net_norm_back(net, nc_axx__norm_of(i), b, net->d2, net->d0, k->added[i], k->mean[i],
                              k->rstd[i], rows);
        return net->d2;
    }
    if (!net->config.layer_scale) return net->d0;
    gamma = nc_axx__tensor_of(net, i ? NC_AXX__PART_SCALE2 : NC_AXX__PART_SCALE1, b)->values;
    for (r = 0; r < rows; r++)
        for (j = 0; j < dim; j++) {
            net->wide[r * dim + j] = net->d0[r * dim + j] * k->added[i][r * dim + j];
            net->d2[r * dim + j] = net->d0[r * dim + j] * gamma[j];
        }
    nc_hlx_column_sums(nc_axx__gradient_of(net, gamma), net->wide, rows, dim);
    return net->d2;
}

/* Where Q, K and V of a block come to lie when the rows are split. */
static void nc_axx__heads_of(const nc_axx_net *net, const nc_axx__block *k, float *parts[3]) {
    parts[0] = net->config.qk_norm ? k->plain[0] : k->q;
    parts[1] = net->config.qk_norm ? k->plain[1] : k->k;
    parts[2] = k->v;
}

/* merged = attention(inner rows), Q and K normalised where the network does so. */
static void nc_axx__attend(nc_axx_net *net, uint32_t b, size_t count) {
    nc_axx__block *k = &net->blocks[b];
    const size_t heads = count * net->config.heads, rows = heads * net->tokens;
    const size_t size = net->config.head_dim;
    float *parts[3];
    nc_axx__heads_of(net, k, parts);
    nc_axx__net_linear(net, nc_axx__layer_of(net, NC_AXX__PART_QKV, b), nc_axx__inner(net, k, 0),
                       net->wide, count * net->tokens);
    nc_axx__split(net, net->wide, parts, count, 0);
    if (net->config.qk_norm) {
        nc_axx__net_norm(net, NC_AXX__PART_Q_NORM, b, k->q, k->plain_mean[0], k->plain_rstd[0],
                         k->plain[0], rows);
        nc_axx__net_norm(net, NC_AXX__PART_K_NORM, b, k->k, k->plain_mean[1], k->plain_rstd[1],
                         k->plain[1], rows);
        nc_axx__times(k->q, k->q, 1.0f / sqrtf((float)size), rows * size);
    }
    nc_axx__net_matmul(net, nc_axx__layer_of(net, NC_AXX__PART_QK, b), k->q, k->k, 0, k->scores,
                       heads);
    nc_hlx_softmax(k->scores, rows, net->tokens, 0);
    nc_axx__net_matmul(net, nc_axx__layer_of(net, NC_AXX__PART_PV, b), k->scores, k->v, 1,
                       k->context, heads);
    nc_axx__merge(net, k->merged, k->context, count, 0);
}

/* From the gradient of `merged` in d1 that of its input, there too. */
static void nc_axx__attend_back(nc_axx_net *net, uint32_t b, size_t count) {
    nc_axx__block *k = &net->blocks[b];
    const size_t heads = count * net->config.heads, rows = heads * net->tokens;
    const size_t size = net->config.head_dim;
    float *parts[3];
    nc_axx__merge(net, net->d1, net->d2, count, 1);
    /* values and probabilities; then keys and queries: d1 and d2 are free again behind the first */
    nc_axx__net_matmul_back(net, nc_axx__layer_of(net, NC_AXX__PART_PV, b), k->scores, k->v, 1,
                            net->d2, net->wide, k->context, heads);
    nc_hlx_softmax_backward(net->wide, k->scores, rows, net->tokens, 0);
    nc_axx__net_matmul_back(net, nc_axx__layer_of(net, NC_AXX__PART_QK, b), k->q, k->k, 0,
                            net->wide, net->d1, net->d2, heads);
    parts[0] = net->d1;
    parts[1] = net->d2;
    parts[2] = k->context;
    if (net->config.qk_norm) { /* q and k have been used for the last time */
        nc_axx__times(net->d1, net->d1, 1.0f / sqrtf((float)size), rows * size);
        parts[0] = k->q;
        parts[1] = k->k;
        memset(parts[0], 0, rows * size * sizeof(float));
        memset(parts[1], 0, rows * size * sizeof(float));
        nc_axx__net_norm_back(net, NC_AXX__PART_Q_NORM, b, parts[0], net->d1, k->plain[0],
                              k->plain_mean[0], k->plain_rstd[0], rows);
        nc_axx__net_norm_back(net, NC_AXX__PART_K_NORM, b, parts[1], net->d2, k->plain[1],
                              k->plain_mean[1], k->plain_rstd[1], rows);
    }
    nc_axx__split(net, net->wide, parts, count, 1);
    nc_axx__net_linear_back(net, nc_axx__layer_of(net, NC_AXX__PART_QKV, b),
                            nc_axx__inner(net, k, 0), net->wide, net->d1, count * net->tokens);
}

/* Columns of one half of fc1's output (rows x 2 mlp) from or (back) to a matrix of its own. */
static void nc_axx__halve(const nc_axx_net *net, float *both, float *half, size_t which,
                          size_t rows, int back) {
    const size_t n = net->config.mlp;
    size_t r;
    for (r = 0; r < rows; r++) {
        float *in = both + (2 * r + which) * n;
        memcpy(back ? half + r * n : in, back ? in : half + r * n, n * sizeof(float));
    }
}

/* gelu = activation(fc1(inner rows)), of one half times the other where gated. */
static void nc_axx__expand(nc_axx_net *net, uint32_t b, size_t rows) {
    nc_axx__block *k = &net->blocks[b];
    size_t i;
    if (net->config.gated < 2)
        nc_axx__net_linear(net, nc_axx__layer_of(net, NC_AXX__PART_FC1, b),
                           nc_axx__inner(net, k, 1), k->hidden, rows);
    for (i = 0; i < 2 && net->config.gated == 2; i++) {
        const uint32_t part = i ? NC_AXX__PART_FC1_VALUE : NC_AXX__PART_FC1_GATE;
        nc_axx__net_linear(net, nc_axx__layer_of(net, part, b), nc_axx__inner(net, k, 1), net->wide,
                           rows);
        nc_axx__halve(net, k->hidden, net->wide, i, rows, 0);
    }
    if (net->config.gated)
        (void)nc_hlx_swiglu(k->gelu, k->hidden, rows, net->config.mlp,
                            nc_axx__gate_activation(net));
    else
        nc_axx__activate(net, k->gelu, k->hidden, rows * net->config.mlp);
}

/* From the gradient of `gelu` in `wide` that of its input in d1. */
static void nc_axx__expand_back(nc_axx_net *net, uint32_t b, size_t rows) {
    nc_axx__block *k = &net->blocks[b];
    if (!net->config.gated) {
        nc_axx__activate_back(net, net->wide, k->hidden, rows * net->config.mlp);
        nc_axx__net_linear_back(net, nc_axx__layer_of(net, NC_AXX__PART_FC1, b),
                                nc_axx__inner(net, k, 1), net->wide, net->d1, rows);
        return;
    }
    (void)nc_hlx_swiglu_backward(net->d2, net->wide, k->hidden, rows, net->config.mlp,
                                 nc_axx__gate_activation(net));
    if (net->config.gated == 1) {
        nc_axx__net_linear_back(net, nc_axx__layer_of(net, NC_AXX__PART_FC1, b),
                                nc_axx__inner(net, k, 1), net->d2, net->d1, rows);
        return;
    }
    nc_axx__halve(net, net->d2, net->wide, 0, rows, 1);
    nc_axx__net_linear_back(net, nc_axx__layer_of(net, NC_AXX__PART_FC1_GATE, b),
                            nc_axx__inner(net, k, 1), net->wide, net->d1, rows);
    nc_axx__halve(net, net->d2, net->wide, 1, rows, 1);
    nc_axx__net_linear_back(net, nc_axx__layer_of(net, NC_AXX__PART_FC1_VALUE, b),
                            nc_axx__inner(net, k, 1), net->wide, net->d2, rows);
    nc_axx__sum(net->d1, net->d1, net->d2, rows * net->config.dim);
}

/* out = m + s2 W2 expand(norm2(m)), m = x + s1 P attention(norm1(x)): pre-norm, as Dosovitskiy et
 * al. (2021) have it, with layer scales s; or the norms where the scales stand. */
static void nc_axx__block_forward(nc_axx_net *net, uint32_t b, size_t count, float *out) {
    nc_axx__block *k = &net->blocks[b];
    const size_t rows = count * net->tokens;
    nc_axx__enter_branch(net, b, 0, rows);
    nc_axx__attend(net, b, count);
    nc_axx__net_linear(net, nc_axx__layer_of(net, NC_AXX__PART_PROJ, b), k->merged,
                       nc_axx__added(net, k, 0), rows);
    nc_axx__leave_branch(net, b, 0, k->middle, rows);
    nc_axx__enter_branch(net, b, 1, rows);
    nc_axx__expand(net, b, rows);
    nc_axx__net_linear(net, nc_axx__layer_of(net, NC_AXX__PART_FC2, b), k->gelu,
                       nc_axx__added(net, k, 1), rows);
    nc_axx__leave_branch(net, b, 1, out, rows);
}

/* d0 holds the gradient of the block's output and gets that of its input. */
static void nc_axx__block_backward(nc_axx_net *net, uint32_t b, size_t count) {
    nc_axx__block *k = &net->blocks[b];
    const size_t rows = count * net->tokens;
    nc_axx__net_linear_back(net, nc_axx__layer_of(net, NC_AXX__PART_FC2, b), k->gelu,
                            nc_axx__leave_branch_back(net, b, 1, rows), net->wide, rows);
    nc_axx__expand_back(net, b, rows);
    nc_axx__enter_branch_back(net, b, 1, rows);
    nc_axx__net_linear_back(net, nc_axx__layer_of(net, NC_AXX__PART_PROJ, b), k->merged,
                            nc_axx__leave_branch_back(net, b, 0, rows), net->d1, rows);
    nc_axx__attend_back(net, b, count);
    nc_axx__enter_branch_back(net, b, 0, rows);
}

/* The learned token in front of the patches that has number i. */
static const float *nc_axx__prefix(const nc_axx_net *net, size_t i) {
    const nc_axx_net_config *c = &net->config;
    const size_t first = net->prefix - c->registers;
    if (i >= first)
        return nc_axx__tensor_of(net, NC_AXX__PART_REGISTER_TOKENS, 0)->values +
               (i - first) * c->dim;
    return nc_axx__tensor_of(net, i ? NC_AXX__PART_DIST_TOKEN : NC_AXX__PART_CLASS_TOKEN, 0)
        ->values;
}

/* Tokens, in front of the first block: those learned, then the patches, with their positions. */
static void nc_axx__embed(nc_axx_net *net, const float *pixels, size_t count) {
    const nc_axx_net_config *c = &net->config;
    const size_t dim = c->dim, t = net->tokens, places = t - net->prefix;
    const size_t first = c->patch_positions ? net->prefix : 0; /* with a position */
    const float *position = nc_axx__tensor_of(net, NC_AXX__PART_POSITION, 0)->values;
    float *to = c->pre_norm ? net->joined : net->blocks[0].x;
    size_t image, i, j;
    nc_axx__cut(net, net->patches, pixels, count);
    nc_axx__net_linear(net, nc_axx__layer_of(net, NC_AXX__PART_EMBED, 0), net->patches,
                       net->embedded, count * places);
    for (image = 0; image < count; image++)
        for (i = 0; i < t; i++, to += dim) {
            const float *from = i < net->prefix
                                    ? nc_axx__prefix(net, i)
                                    : net->embedded + (image * places + i - net->prefix) * dim;
            for (j = 0; j < dim; j++)
                to[j] = i < first ? from[j] : position[(i - first) * dim + j] + from[j];
        }
    if (c->pre_norm)
        nc_axx__net_norm(net, NC_AXX__PART_PRE_NORM, 0, net->blocks[0].x, net->pre_mean,
                         net->pre_rstd, net->joined, count * t);
}

/* From the gradient of the first block's input in d0. */
static void nc_axx__embed_back(nc_axx_net *net, size_t count) {
    const nc_axx_net_config *c = &net->config;
    const size_t dim = c->dim, t = net->tokens, places = t - net->prefix;
    const size_t first = c->patch_positions ? net->prefix : 0;
    float *dposition =
        nc_axx__gradient_of(net, nc_axx__tensor_of(net, NC_AXX__PART_POSITION, 0)->values);
    const float *d = net->d0;
    size_t image, i, j;
    if (c->pre_norm) {
        memset(net->d1, 0, count * t * dim * sizeof(float));
        nc_axx__net_norm_back(net, NC_AXX__PART_PRE_NORM, 0, net->d1, net->d0, net->joined,
                              net->pre_mean, net->pre_rstd, count * t);
        d = net->d1;
    }
    for (image = 0; image < count; image++)
        for (i = 0; i < t; i++, d += dim) {
            float *to = i < net->prefix ? nc_axx__gradient_of(net, nc_axx__prefix(net, i))
                                        : net->d2 + (image * places + i - net->prefix) * dim;
            for (j = 0; j < dim && i >= first; j++) dposition[(i - first) * dim + j] += d[j];
            for (j = 0; j < dim; j++) to[j] = i < net->prefix ? to[j] + d[j] : d[j];
        }
    nc_axx__net_linear_back(net, nc_axx__layer_of(net, NC_AXX__PART_EMBED, 0), net->patches,
                            net->d2, NULL, count * places);
}

/* The class token of the final tokens, or the mean of those of the patches. */
static void nc_axx__pool(nc_axx_net *net, size_t count) {
    const nc_axx_net_config *c = &net->config;
    const size_t dim = c->dim, t = net->tokens, first = c->mean_pool ? net->prefix : 0;
    const float *final = c->fc_norm ? net->last : net->final;
    size_t image, i, j;
    for (image = 0; image < count; image++, final += t * dim)
        for (j = 0; j < dim; j++) {
            float sum = final[first * dim + j];
            for (i = first + 1; c->mean_pool && i < t; i++) sum += final[i * dim + j];
            net->pooled[image * dim + j] = c->mean_pool ? sum / (float)(t - first) : sum;
            if (c->distilled) net->pooled_dist[image * dim + j] = final[dim + j];
        }
}

/* In d1 the gradients of the final tokens, from those of what was pooled: d2, and with a second
 * head `wide`. */
static void nc_axx__pool_back(nc_axx_net *net, size_t count) {
    const nc_axx_net_config *c = &net->config;
    const size_t dim = c->dim, t = net->tokens, first = net->prefix;
    size_t image, i, j;
    for (image = 0; image < count; image++)
        for (i = 0; i < t; i++)
            for (j = 0; j < dim; j++) {
                const float d = net->d2[image * dim + j];
                float *to = &net->d1[(image * t + i) * dim + j];
                if (c->mean_pool)
                    *to = i < first ? 0.0f : d / (float)(t - first);
                else
                    *to = i == 0 ? d : i == 1 && c->distilled ? net->wide[image * dim + j] : 0.0f;
            }
}

/* Patches and learned tokens, blocks, the last norm, then the class token or the mean of the
 * patches' tokens into the head. */
static void nc_axx__vit_forward(nc_axx_net *net, const float *pixels, size_t count) {
    const nc_axx_net_config *c = &net->config;
    const size_t classes = count * c->classes;
    uint32_t b;
    nc_axx__embed(net, pixels, count);
    for (b = 0; b < c->depth; b++)
        nc_axx__block_forward(net, b, count, b + 1 < c->depth ? net->blocks[b + 1].x : net->last);
    if (!c->fc_norm)
        nc_axx__net_norm(net, NC_AXX__PART_LAST_NORM, 0, net->final, net->mean, net->rstd,
                         net->last, count * net->tokens);
    nc_axx__pool(net, count);
    if (c->fc_norm == 1)
        nc_axx__net_norm(net, NC_AXX__PART_FC_NORM, 0, net->features_of_head, net->mean, net->rstd,
                         net->pooled, count);
    nc_axx__net_linear(net, nc_axx__layer_of(net, NC_AXX__PART_HEAD, 0), net->features_of_head,
                       net->logits, count);
    if (c->distilled) {
        nc_axx__net_linear(net, nc_axx__layer_of(net, NC_AXX__PART_HEAD_DIST, 0), net->pooled_dist,
                           net->logits_dist, count);
        nc_axx__sum(net->logits, net->logits, net->logits_dist, classes);
        nc_axx__times(net->logits, net->logits, 0.5f, classes);
    }
}

/* From the gradient of the logits, in their place. */
static void nc_axx__vit_backward(nc_axx_net *net, size_t count) {
    const nc_axx_net_config *c = &net->config;
    const size_t rows = count * net->tokens;
    uint32_t b;
    if (c->distilled) {
        nc_axx__times(net->logits, net->logits, 0.5f, count * c->classes);
        nc_axx__net_linear_back(net, nc_axx__layer_of(net, NC_AXX__PART_HEAD_DIST, 0),
                                net->pooled_dist, net->logits, net->wide, count);
    }
    nc_axx__net_linear_back(net, nc_axx__layer_of(net, NC_AXX__PART_HEAD, 0), net->features_of_head,
                            net->logits, c->fc_norm == 1 ? net->d1 : net->d2, count);
    if (c->fc_norm == 1) {
        memset(net->d2, 0, count * c->dim * sizeof(float));
        nc_axx__net_norm_back(net, NC_AXX__PART_FC_NORM, 0, net->d2, net->d1, net->pooled,
                              net->mean, net->rstd, count);
    }
    nc_axx__pool_back(net, count);
    if (c->fc_norm) {
        memcpy(net->d0, net->d1, rows * c->dim * sizeof(float));
    } else {
        memset(net->d0, 0, rows * c->dim * sizeof(float));
        nc_axx__net_norm_back(net, NC_AXX__PART_LAST_NORM, 0, net->d0, net->d1, net->last,
                              net->mean, net->rstd, rows);
    }
    for (b = c->depth; b-- > 0;) nc_axx__block_backward(net, b, count);
    nc_axx__embed_back(net, count);
}

/* -- the convolutional network: rows of taps, then a layer as any other -- */

/* Rows of taps (channel, kernel row, kernel column) of features i, or (back) gradients of features
 * i from those of the rows. */
static void nc_axx__taps(const nc_axx_net *net, uint32_t i, float *taps, float *features,
                         size_t count, int back) {
    const size_t from = nc_axx__side(&net->config, i), out = nc_axx__side(&net->config, i + 1);
    const size_t channels = nc_axx__width(&net->config, i), stride = i ? 2 : 1;
    size_t image, h, w, c, y, x;
    if (back) memset(features, 0, count * from * from * channels * sizeof(float));
    for (image = 0; image < count; image++)
        for (h = 0; h < out; h++)
            for (w = 0; w < out; w++)
                for (c = 0; c < channels; c++)
                    for (y = h * stride; y < h * stride + 3; y++)
                        for (x = w * stride; x < w * stride + 3; x++, taps++) {
                            const int in = y >= 1 && x >= 1 && y <= from && x <= from;
                            float *place = features;
                            if (in) place += ((image * from + y - 1) * from + x - 1) * channels + c;
                            if (!back)
                                *taps = in ? *place : 0.0f;
                            else if (in)
                                *place += *taps;
                        }
}

/* Pixels NCHW become NHWC, so that a place's channels are one row of a linear layer; then rows of
 * taps, product and ReLU of every convolution; then the mean of each channel and the classifier. */
static void nc_axx__cnn_forward(nc_axx_net *net, const float *pixels, size_t count) {
    const nc_axx_net_config *c = &net->config;
    const size_t area = (size_t)c->image * c->image, width = nc_axx__width(c, c->depth);
    const size_t places = nc_axx__side(c, c->depth) * nc_axx__side(c, c->depth);
    size_t image, ch, i, j;
    uint32_t b;
    for (image = 0; image < count; image++)
        for (ch = 0; ch < c->channels; ch++)
            for (i = 0; i < area; i++)
                net->features[0][(image * area + i) * c->channels + ch] =
                    pixels[(image * c->channels + ch) * area + i];
    for (b = 0; b < c->depth; b++) {
        const size_t side = nc_axx__side(c, b + 1), rows = count * side * side;
        float *to = net->features[b + 1];
        nc_axx__taps(net, b, net->patches, net->features[b], count, 0);
        nc_axx__net_linear(net, nc_axx__layer_of(net, NC_AXX__PART_CONV, b), net->patches, to,
                           rows);
        for (i = 0; i < rows * nc_axx__width(c, b + 1); i++) to[i] = to[i] > 0 ? to[i] : 0.0f;
    }
    for (image = 0; image < count; image++)
        for (j = 0; j < width; j++) {
            float sum = 0.0f;
            for (i = 0; i < places; i++)
                sum += net->features[c->depth][(image * places + i) * width + j];
            net->pooled[image * width + j] = sum / (float)places;
        }
    nc_axx__net_linear(net, nc_axx__layer_of(net, NC_AXX__PART_CNN_HEAD, 0), net->pooled,
                       net->logits, count);
}

/* From the gradient of the logits, in their place. */
static void nc_axx__cnn_backward(nc_axx_net *net, size_t count) {
    const nc_axx_net_config *c = &net->config;
    const size_t width = nc_axx__width(c, c->depth);
    const size_t places = nc_axx__side(c, c->depth) * nc_axx__side(c, c->depth);
    size_t image, i, j;
    uint32_t b;
    nc_axx__net_linear_back(net, nc_axx__layer_of(net, NC_AXX__PART_CNN_HEAD, 0), net->pooled,
                            net->logits, net->d2, count);
    for (image = 0; image < count; image++)
        for (i = 0; i < places; i++)
            for (j = 0; j < width; j++)
                net->d0[(image * places + i) * width + j] =
                    net->d2[image * width + j] / (float)places;
    for (b = c->depth; b-- > 0;) {
        const size_t side = nc_axx__side(c, b + 1), rows = count * side * side;
        const float *y = net->features[b + 1];
        for (i = 0; i < rows * nc_axx__width(c, b + 1); i++)
            if (!(y[i] > 0)) net->d0[i] = 0.0f;
        nc_axx__taps(net, b, net->patches, net->features[b], count, 0);
        nc_axx__net_linear_back(net, nc_axx__layer_of(net, NC_AXX__PART_CONV, b), net->patches,
                                net->d0, b ? net->d1 : NULL, rows);
        if (b) nc_axx__taps(net, b, net->d1, net->d0, count, 1);
    }
}

/* -- the whole network -- */

/* Whether all layers can compute as they are set. */
static int nc_axx__is_ready(const nc_axx_net *net) {
    size_t i;
    for (i = 0; i < stbds_arrlenu(net->layers); i++) {
        const nc_axx__layer *l = &net->layers[i];
        const nc_axx_mode mode = nc_axx__layer_mode(net, l);
        if (mode != NC_AXX_MODE_FLOAT && !net->calibrated) return 0;
        if (mode == NC_AXX_MODE_INTEGER && *l->info.multiplier) return 0;
    }
    return 1;
}

static nc_status nc_axx__net_run(nc_axx_net *net, const float *pixels, size_t count) {
    if (!net || (count && !pixels)) return NC_ERR_ARG;
    if (count > net->config.batch) return NC_ERR_LIMIT;
    if (!nc_axx__is_ready(net)) return NC_ERR_ARG;
    net->status = NC_OK;
    if (net->config.kind == NC_AXX_NET_VIT)
        nc_axx__vit_forward(net, pixels, count);
    else
        nc_axx__cnn_forward(net, pixels, count);
    return net->status;
}

NC_API nc_status nc_axx_net_forward(nc_axx_net *net, const float *pixels, size_t count,
                                    float *logits) {
    const nc_status status = nc_axx__net_run(net, pixels, count);
    if (status != NC_OK) return status;
    if (!logits) return NC_ERR_ARG;
    memcpy(logits, net->logits, count * net->config.classes * sizeof *logits);
    return NC_OK;
}

/* Whether a logit is the larger one; NaN is less than all numbers. */
static int nc_axx__outranks(float a, float b) { return a > b || (b != b && !(a != a)); }

/* Classes that a row of logits puts before this one; of equal ones the first is before. */
static uint32_t nc_axx__rank(const float *logits, uint32_t classes, uint32_t label) {
    uint32_t before = 0, i;
    for (i = 0; i < classes; i++)
        before += (uint32_t)(nc_axx__outranks(logits[i], logits[label]) ||
                             (i < label && !nc_axx__outranks(logits[label], logits[i])));
    return before;
}

NC_API nc_status nc_axx_net_backward(nc_axx_net *net, const float *pixels, const uint32_t *labels,
                                     size_t count, float *loss, uint32_t *right) {
    nc_status status = net && net->config.inference ? NC_ERR_UNSUPPORTED : NC_OK;
    uint32_t correct = 0;
    float mean;
    size_t i;
    if (status == NC_OK) status = nc_axx__net_run(net, pixels, count);
    if (status != NC_OK) return status;
    if (!count || !labels) return NC_ERR_ARG;
    for (i = 0; i < count; i++) {
        if (labels[i] >= net->config.classes) return NC_ERR_ARG;
        correct +=
            !nc_axx__rank(net->logits + i * net->config.classes, net->config.classes, labels[i]);
    }
    mean = nc_hlx_cross_entropy(net->logits, labels, net->losses, count, net->config.classes);
    if (loss) *loss = mean;
    if (right) *right = correct;
    memset(net->gradients, 0, net->parameters * sizeof(float));
    if (net->config.kind == NC_AXX_NET_VIT)
        nc_axx__vit_backward(net, count);
    else
        nc_axx__cnn_backward(net, count);
    return net->status;
}

static size_t nc_axx__pixels_of(const nc_axx_net *net) {
    return (size_t)net->config.channels * net->config.image * net->config.width;
}

/* Images of the batch that begins with this one. */
static size_t nc_axx__batch(const nc_axx_net *net, const nc_axx_images *images, size_t first) {
    const size_t left = images->count - first;
    return left < net->config.batch ? left : net->config.batch;
}

NC_API nc_status nc_axx_net_calibrate(nc_axx_net *net, const nc_axx_images *images,
                                      nc_axx_calibration method, double percent) {
    nc_status status = NC_OK;
    size_t i, layers;
    if (!net || !images || !images->pixels || !images->count ||
        (unsigned)method >= NC_AXX_CALIBRATION_COUNT || !(percent >= 0 && percent <= 100))
        return NC_ERR_ARG;
    layers = stbds_arrlenu(net->layers);
    net->seen = (nc_axx_calibrator *)nc__calloc(NULL, 2 * layers * sizeof *net->seen);
    if (!net->seen) return NC_ERR_MEMORY;
    for (i = 0; i < images->count && status == NC_OK; i += net->config.batch)
        status = nc_axx__net_run(net, images->pixels + i * nc_axx__pixels_of(net),
                                 nc_axx__batch(net, images, i));
    for (i = 0; i < 2 * layers && status == NC_OK; i++)
        net->layers[i / 2].info.amax[i % 2] = nc_axx_calibrator_amax(
            &net->seen[i], method, percent, net->layers[i / 2].info.options.bits);
    nc__free(NULL, net->seen, 0);
    net->seen = NULL;
    if (status == NC_OK) net->calibrated = 1;
    return status;
}

/* Add an image's row of logits to the counts. */
static void nc_axx__count(nc_axx_score *score, const float *logits, uint32_t classes,
                          uint32_t label) {
    const uint32_t rank = nc_axx__rank(logits, classes, label);
    uint32_t best = 0, i;
    score->top1 += rank == 0;
    score->top5 += rank < 5;
    for (i = 1; i < classes; i++)
        if (nc_axx__outranks(logits[i], logits[best])) best = i;
    if (score->confusion) score->confusion[(size_t)label * classes + best]++;
}

NC_API nc_status nc_axx_net_evaluate(nc_axx_net *net, const nc_axx_images *images,
                                     nc_axx_score *score) {
    uint32_t classes;
    size_t i, k;
    if (!net || !images || !images->pixels || !images->labels || !images->count || !score)
        return NC_ERR_ARG;
    classes = net->config.classes;
    score->top1 = score->top5 = score->loss = 0;
    if (score->confusion) memset(score->confusion, 0, sizeof(uint32_t) * classes * classes);
    for (i = 0; i < images->count; i += net->config.batch) {
        const size_t count = nc_axx__batch(net, images, i);
        const uint32_t *labels = images->labels + i;
        const nc_status status =
            nc_axx__net_run(net, images->pixels + i * nc_axx__pixels_of(net), count);
        if (status != NC_OK) return status;
        for (k = 0; k < count; k++) {
            if (labels[k] >= classes) return NC_ERR_ARG;
            nc_axx__count(score, net->logits + k * classes, classes, labels[k]);
        }
        score->loss +=
            (double)nc_hlx_cross_entropy(net->logits, labels, net->losses, count, classes) *
            (double)count;
    }
    score->top1 /= (double)images->count;
    score->top5 /= (double)images->count;
    score->loss /= (double)images->count;
    return NC_OK;
}

/* -- training -- */

/* Whether settings are in their ranges, for images of so many rows and columns. */
static int nc_axx__can_train(const nc_axx_training *how, size_t height, size_t width) {
    const float all[] = {how->lr, how->momentum, how->weight_decay, how->clip_norm, how->decay};
    size_t i;
    for (i = 0; i < sizeof all / sizeof *all; i++)
        if (!(all[i] >= 0 && all[i] <= FLT_MAX)) return 0;
    return !how->shift || (how->shift < height && how->shift < width);
}

/* Learning rate of a step, counted from 0. */
static float nc_axx__rate(const nc_axx_training *how, uint32_t step, uint32_t steps,
                          uint32_t per_epoch) {
    nc_hlx_adamw schedule;
    uint32_t i;
    memset(&schedule, 0, sizeof schedule);
    schedule.lr = how->lr > 0 ? how->lr : 1e-3f;
    schedule.warmup_steps = how->warmup_steps;
    if (how->decay_epochs)
        for (i = step / per_epoch / how->decay_epochs; i > 0; i--)
            schedule.lr *= how->decay > 0 ? how->decay : 0.1f;
    if (!(schedule.lr > 1e-30f)) schedule.lr = 1e-30f; /* 0 would stand for a default */
    if (how->cosine) schedule.decay_steps = steps;
    return nc_hlx_learning_rate(&schedule, step < how->warmup_steps ? (uint64_t)step + 1 : step);
}

/* What all gradients are multiplied by, so that their norm is at most clip_norm. */
static float nc_axx__clip_factor(const nc_axx_training *how, const float *gradients, size_t n) {
    float norm;
    if (!(how->clip_norm > 0)) return 1.0f;
    norm = sqrtf(nc_hlx_dot(gradients, gradients, n));
    return norm > how->clip_norm ? how->clip_norm / norm : 1.0f;
}

/* A step, counted from 1, of n parameters with their gradients and two moments, by the rules of
 * torch.optim: SGD needs the first moment only. */
static void nc_axx__optimise(float *p, const float *g, float *m, float *v, size_t n,
                             const nc_axx_training *how, int decays, float rate, uint64_t step,
                             float factor) {
    const float decay = decays ? how->weight_decay : 0.0f;
    size_t i;
    if (how->sgd) {
        const float momentum = how->momentum > 0 ? how->momentum : 0.9f;
        for (i = 0; i < n; i++) {
            m[i] = momentum * m[i] + (g[i] * factor + decay * p[i]);
            p[i] = p[i] - rate * m[i];
        }
    } else {
        nc_hlx_adamw adamw;
        memset(&adamw, 0, sizeof adamw);
        adamw.lr = rate;
        adamw.weight_decay = decay;
        nc_hlx_adamw_update(p, g, m, v, n, &adamw, step, factor);
    }
}

/* An image of `channels` x height x width as it is trained on: the place of a pixel moved by what
 * the seed draws for the image's number in this epoch, whatever the batches. */
static void nc_axx__augment(const nc_axx_training *how, float *to, const float *image,
                            size_t channels, size_t height, size_t width, uint32_t epoch,
                            size_t which) {
    const size_t range = 2 * (size_t)how->shift + 1;
    ptrdiff_t down, right;
    uint32_t words[4];
    size_t row, x;
    if (!how->shift && !how->flip) {
        memcpy(to, image, channels * height * width * sizeof *to);
        return;
    }
    nc__philox(how->seed, which, ((uint64_t)1 << 32) | epoch, words); /* nc_axx__shuffle: below */
    down = (ptrdiff_t)(words[0] % range) - (ptrdiff_t)how->shift;
    right = (ptrdiff_t)(words[1] % range) - (ptrdiff_t)how->shift;
    for (row = 0; row < channels * height; row++, to += width) {
        const ptrdiff_t y = (ptrdiff_t)(row % height) + down;
        const int inside = y >= 0 && y < (ptrdiff_t)height;
        const float *from = inside ? image + ((row / height) * height + (size_t)y) * width : image;
        for (x = 0; x < width; x++) {
            const size_t turned = how->flip && words[2] % 2 ? width - 1 - x : x;
            const ptrdiff_t at = (ptrdiff_t)turned + right;
            to[x] = inside && at >= 0 && at < (ptrdiff_t)width ? from[at] : 0.0f;
        }
    }
}

/* The order of an epoch: Fisher and Yates, drawn from Philox. */
static void nc_axx__shuffle(size_t *order, size_t n, uint64_t seed, uint32_t epoch) {
    uint32_t words[4];
    size_t i;
    for (i = 0; i < n; i++) order[i] = i;
    for (i = n; i-- > 1;) {
        size_t other, keep = order[i];
        nc__philox(seed, i, epoch, words);
        other = (size_t)((((uint64_t)words[0] << 32) | words[1]) % (i + 1));
        order[i] = order[other];
        order[other] = keep;
    }
}

/* What a training holds besides the network. */
typedef struct nc_axx__run {
    nc_axx_training how;
    uint32_t epoch, step, steps, per_epoch;
    size_t *order;
    float *pixels; /* a batch */
    uint32_t *labels;
} nc_axx__run;

/* For batches of images of so many pixels. Freed by nc_axx__run_close, however it went. */
static nc_status nc_axx__run_open(nc_axx__run *c, const nc_axx_training *how, size_t images,
                                  size_t batch, size_t pixels) {
    const size_t per_epoch = images / batch + (images % batch > 0);
    c->how = *how;
    if (!c->how.epochs) c->how.epochs = 1;
    if (per_epoch > UINT32_MAX / c->how.epochs) return NC_ERR_LIMIT;
    c->per_epoch = (uint32_t)per_epoch;
    c->steps = c->per_epoch * c->how.epochs;
    c->order = (size_t *)nc__alloc(NULL, nc__mul_size(images, sizeof *c->order));
    c->pixels = (float *)nc__alloc(NULL, nc__mul_size(batch, pixels * sizeof *c->pixels));
    c->labels = (uint32_t *)nc__alloc(NULL, batch * sizeof *c->labels);
    return c->order && c->pixels && c->labels ? NC_OK : NC_ERR_MEMORY;
}

static void nc_axx__run_close(nc_axx__run *c) {
    nc__free(NULL, c->order, 0);
    nc__free(NULL, c->pixels, 0);
    nc__free(NULL, c->labels, 0);
}

/* The next batch: `count` images, from `first` on in the order, as they are trained on. */
static void nc_axx__run_take(nc_axx__run *c, const nc_axx_images *images, size_t first,
                             size_t count, size_t channels, size_t height, size_t width) {
    const size_t pixels = channels * height * width;
    size_t k;
    for (k = 0; k < count; k++) {
        const size_t image = c->order[first + k];
        nc_axx__augment(&c->how, c->pixels + k * pixels, images->pixels + image * pixels, channels,
                        height, width, c->epoch, image);
        c->labels[k] = images->labels[image];
    }
    c->step++;
}

/* Whether layer k is not approximate yet (a network's has exact products, a graph's is in float32):
 * the first ones wait longest, and all have joined after half of the steps. */
static int nc_axx__run_waits(const nc_axx__run *c, size_t k, size_t layers) {
    return c->how.progressive && (uint64_t)(layers - k) * c->steps > (uint64_t)2 * c->step * layers;
}

/* The step is done: NC_ERR_CANCELLED if its watcher says so. */
static nc_status nc_axx__run_done(const nc_axx__run *c, float loss, uint32_t right, size_t count) {
    return c->how.watch &&
                   c->how.watch(c->how.user, c->step, c->steps, loss, (float)right / (float)count)
               ? NC_ERR_CANCELLED
               : NC_OK;
}

/* The tensors (in `values` one after the other, `n` numbers in all) move by their gradients. */
static void nc_axx__move(const nc_axx__tensor *tensors, size_t tensor_count, const float *values,
                         const float *gradients, float *first, float *second, size_t n,
                         const nc_axx_training *how, float rate, uint32_t step) {
    const float factor = nc_axx__clip_factor(how, gradients, n);
    size_t k;
    for (k = 0; k < tensor_count; k++) {
        const nc_axx__tensor *t = &tensors[k];
        const size_t at = (size_t)(t->values - values);
        nc_axx__optimise(t->values, gradients + at, first + at, second + at, t->count, how,
                         (int)t->decays, rate, step, factor);
    }
}

/* A step on the images that stand from `first` on in the order. What is pruned has no gradient and
 * stays 0. */
static nc_status nc_axx__train_step(nc_axx_net *net, const nc_axx_images *images, nc_axx__run *c,
                                    size_t first) {
    const size_t count = nc_axx__batch(net, images, first), layers = stbds_arrlenu(net->layers);
    const float rate = nc_axx__rate(&c->how, c->step, c->steps, c->per_epoch);
    nc_status status;
    uint32_t right;
    float loss;
    size_t k;
    nc_axx__run_take(c, images, first, count, net->config.channels, net->config.image,
                     net->config.width);
    for (k = 0; k < layers; k++) net->layers[k].waits = nc_axx__run_waits(c, k, layers);
    status = nc_axx_net_backward(net, c->pixels, c->labels, count, &loss, &right);
    if (status != NC_OK) return status;
    for (k = 0; k < net->parameters && net->pruned; k++)
        if (net->pruned[k]) net->gradients[k] = 0.0f;
    nc_axx__move(net->tensors, stbds_arrlenu(net->tensors), net->values, net->gradients, net->first,
                 net->second, net->parameters, &c->how, rate, c->step);
    return nc_axx__run_done(c, loss, right, count);
}

NC_API nc_status nc_axx_net_train(nc_axx_net *net, const nc_axx_images *images,
                                  const nc_axx_training *training) {
    nc_axx__run c;
    nc_status status;
    size_t i;
    if (!net || !images || !images->pixels || !images->labels || !images->count || !training ||
        !nc_axx__can_train(training, net->config.image, net->config.width))
        return NC_ERR_ARG;
    if (net->config.inference) return NC_ERR_UNSUPPORTED;
    memset(&c, 0, sizeof c);
    status =
        nc_axx__run_open(&c, training, images->count, net->config.batch, nc_axx__pixels_of(net));
    memset(net->first, 0, 2 * net->parameters * sizeof(float));
    for (; c.epoch < c.how.epochs && status == NC_OK; c.epoch++) {
        nc_axx__shuffle(c.order, images->count, c.how.seed, c.epoch);
        for (i = 0; i < images->count && status == NC_OK; i += net->config.batch)
            status = nc_axx__train_step(net, images, &c, i);
    }
    for (i = 0; i < stbds_arrlenu(net->layers); i++) net->layers[i].waits = 0;
    nc_axx__run_close(&c);
    return status;
}

static int nc_axx__by_size(const void *a, const void *b) {
    const float x = *(const float *)a, y = *(const float *)b;
    return x < y ? -1 : x > y;
}

NC_API nc_status nc_axx_net_prune(nc_axx_net *net, double share) {
    float *sizes = NULL;
    uint8_t *pruned = NULL;
    size_t i, k;
    if (!net || !(share >= 0 && share <= 1)) return NC_ERR_ARG;
    if (share > 0) {
        sizes = (float *)nc__alloc(NULL, net->parameters * sizeof *sizes);
        pruned = (uint8_t *)nc__calloc(NULL, net->parameters);
        if (!sizes || !pruned) { /* what was pruned stays so */
            nc__free(NULL, sizes, 0);
            nc__free(NULL, pruned, 0);
            return NC_ERR_MEMORY;
        }
    }
    nc__free(NULL, net->pruned, 0);
    net->pruned = pruned;
    if (!pruned) return NC_OK;
    for (i = 0; i < stbds_arrlenu(net->tensors); i++) {
        nc_axx__tensor *t = &net->tensors[i];
        const size_t gone = (size_t)(share * (double)t->count);
        uint8_t *mask = net->pruned + (t->values - net->values);
        size_t left = gone;
        if (!t->decays || !gone) continue;
        for (k = 0; k < t->count; k++) sizes[k] = fabsf(t->values[k]);
        qsort(sizes, t->count, sizeof *sizes, nc_axx__by_size);
        for (k = 0; k < t->count; k++) /* below the limit first, then as many as equal it */
            if (fabsf(t->values[k]) < sizes[gone - 1]) mask[k] = 1, left--;
        for (k = 0; k < t->count && left; k++)
            if (!mask[k] && fabsf(t->values[k]) == sizes[gone - 1]) mask[k] = 1, left--;
        for (k = 0; k < t->count; k++)
            if (mask[k]) t->values[k] = 0.0f;
    }
    nc__free(NULL, sizes, 0);
    return NC_OK;
}

/* -- safetensors -- */

/* Fields of a transformer that no tensor shows, pairs of metadata called nc_axx.NAME. All are
 * uint32_t but eps. */
static const struct {
    const char *name;
    size_t at;
} nc_axx__options[] = {{"heads", offsetof(nc_axx_net_config, heads)},
                       {"head_dim", offsetof(nc_axx_net_config, head_dim)},
                       {"image", offsetof(nc_axx_net_config, image)},
                       {"width", offsetof(nc_axx_net_config, width)},
                       {"mean_pool", offsetof(nc_axx_net_config, mean_pool)},
                       {"activation", offsetof(nc_axx_net_config, activation)},
                       {"post_norm", offsetof(nc_axx_net_config, post_norm)},
                       {"eps", offsetof(nc_axx_net_config, eps)}};
enum {
    NC_AXX__OPTION_POOL = 4,
    NC_AXX__OPTIONS = sizeof nc_axx__options / sizeof *nc_axx__options
};

static double nc_axx__option(const nc_axx_net_config *c, size_t i) {
    uint32_t value;
    if (nc_axx__options[i].at == offsetof(nc_axx_net_config, eps)) return (double)c->eps;
    memcpy(&value, (const char *)c + nc_axx__options[i].at, sizeof value);
    return value;
}

static void nc_axx__set_option(nc_axx_net_config *c, size_t i, double real) {
    const uint32_t value = (uint32_t)real;
    if (nc_axx__options[i].at == offsetof(nc_axx_net_config, eps))
        c->eps = (float)real;
    else
        memcpy((char *)c + nc_axx__options[i].at, &value, sizeof value);
}

/* Which option a pair sets, and its value; NC_AXX__OPTIONS for other pairs. */
static size_t nc_axx__option_of(nc__text *t, const nc__item *pair, double *value) {
    nc__text text;
    size_t i = 0;
    if (strncmp(pair->name, "nc_axx.", 7) != 0) return NC_AXX__OPTIONS;
    while (i < NC_AXX__OPTIONS && strcmp(pair->name + 7, nc_axx__options[i].name) != 0) i++;
    nc__text_open(&text, pair->text, strlen(pair->text), NULL);
    *value = nc__text_real(&text);
    if (i == NC_AXX__OPTIONS)
        (void)nc__text_fail(t, NC_ERR_MISMATCH, "'%.90s' is unknown here", pair->name);
    else if (text.status != NC_OK || text.at < text.end || !(*value >= 0 && *value <= 65535) ||
             (nc_axx__options[i].at != offsetof(nc_axx_net_config, eps) && floor(*value) < *value))
        (void)nc__text_fail(t, NC_ERR_FORMAT, "'%.60s' is '%.40s', no such number", pair->name,
                            pair->text);
    return i;
}

/* Norms as, of timm's transformers, only vit_pe_spatial_* has them: of class Eva, whose attention
 * turns Q and K by their places, without a tensor that others have not. */
static int nc_axx__is_rotary(uint32_t pre_norm, int last_norm, int fc_norm) {
    return pre_norm && !last_norm && !fc_norm;
}

#define NC_AXX__ROTARY                                                                             \
    "norm_pre without norm or fc_norm: timm's vit_pe_spatial (class Eva), whose attention turns "  \
    "Q and K by their places, cannot be read"

/* Is there nothing to say that a file without such pairs would not mean, too? */
static int nc_axx__is_plain(const nc_axx_net_config *c) {
    return c->kind != NC_AXX_NET_VIT ||
           (!c->activation && c->mean_pool != 2 && !c->post_norm && c->width == c->image &&
            c->head_dim == c->dim / c->heads && c->eps == 1e-5f &&
            !nc_axx__is_rotary(c->pre_norm, !c->fc_norm, c->fc_norm == 1));
}

/* A pair of metadata called BEFORE + name, as text; value is freed. */
static void nc_axx__save_pair(nc__head *head, const char *before, const char *name,
                              nc__buffer *value) {
    nc__buffer key;
    memset(&key, 0, sizeof key);
    nc__buffer_print(&key, "%s%s", before, name);
    if (key.status != NC_OK || value->status != NC_OK) head->b.status = NC_ERR_MEMORY;
    if (head->b.status == NC_OK) nc__head_pair(head, key.data, value->data);
    nc__buffer_free(&key);
    nc__buffer_free(value);
}

/* Amax of a layer's or node's operands. */
static void nc_axx__save_amax(nc__head *head, const char *name, const float amax[2]) {
    nc__buffer value;
    memset(&value, 0, sizeof value);
    nc__buffer_real(&value, (double)amax[0], 9);
    nc__buffer_put(&value, " ", 1);
    nc__buffer_real(&value, (double)amax[1], 9);
    nc_axx__save_pair(head, "amax.", name, &value);
}

/* layer.NAME: "MODE BITS SCALES PERCENT MULTIPLIER", the last without exact products. */
static void nc_axx__save_layer(nc__head *head, const char *name, const nc_axx_layer_info *info) {
    const nc_axx_layer_options *o = &info->options;
    nc__buffer value;
    memset(&value, 0, sizeof value);
    nc__buffer_print(&value, "%s %u %s ", nc_axx__mode_names[o->mode], (unsigned)o->bits,
                     o->per_tensor ? "tensor" : "channel");
    nc__buffer_real(&value, o->weight_percent, 17);
    if (*info->multiplier) nc__buffer_print(&value, " %s", info->multiplier);
    nc_axx__save_pair(head, "layer.", name, &value);
}

/* Whether a layer's options differ from the defaults. */
static int nc_axx__is_set(const nc_axx_layer_info *info, uint32_t bits) {
    const nc_axx_layer_options *o = &info->options;
    return o->mode != NC_AXX_MODE_FLOAT || *info->multiplier || o->bits != bits || o->per_tensor ||
           o->weight_percent > 0;
}

/* All options of a network that is not plain. */
static void nc_axx__save_options(const nc_axx_net *net, nc__head *head) {
    nc__buffer value;
    size_t i;
    for (i = 0; i < NC_AXX__OPTIONS && !nc_axx__is_plain(&net->config); i++) {
        memset(&value, 0, sizeof value);
        nc__buffer_real(&value, nc_axx__option(&net->config, i), 9);
        nc_axx__save_pair(head, "nc_axx.", nc_axx__options[i].name, &value);
    }
}

/* Options of all layers, unless all have the defaults. */
static void nc_axx__save_layers(const nc_axx_net *net, nc__head *head) {
    nc_axx_layer_info info;
    uint32_t i, set = 0;
    for (i = 0; i < nc_axx_net_layers(net); i++) {
        (void)nc_axx_net_layer(net, i, &info);
        set += (uint32_t)nc_axx__is_set(&info, net->config.bits);
    }
    for (i = 0; i < nc_axx_net_layers(net) && set; i++) {
        (void)nc_axx_net_layer(net, i, &info);
        nc_axx__save_layer(head, info.name, &info);
    }
}

/* The parameters follow each other in the order of their tensors. */
NC_API nc_status nc_axx_net_save(const nc_axx_net *net, char **data, size_t *bytes, nc_error *err) {
    nc__head head;
    uint32_t word;
    size_t i;
    nc__clear(err);
    if (data) *data = NULL;
    if (!net || !data || !bytes) return nc__fail(err, NC_ERR_ARG, 0, 0, "null argument");
    nc__head_open(&head, NULL);
    nc__head_pair(&head, "format", "pt");
    nc_axx__save_options(net, &head);
    for (i = 0; i < stbds_arrlenu(net->layers) && net->calibrated; i++)
        nc_axx__save_amax(&head, net->layers[i].info.name, net->layers[i].info.amax);
    nc_axx__save_layers(net, &head);
    for (i = 0; i < stbds_arrlenu(net->tensors); i++)
        nc__head_tensor(&head, net->tensors[i].name, "F32", net->tensors[i].shape,
                        net->tensors[i].rank);
    (void)nc__head_close(&head);
    for (i = 0; i < net->parameters; i++) {
        memcpy(&word, &net->values[i], 4);
        nc__buffer_le(&head.b, word, 4);
    }
    return nc_axx__hand_over(&head.b, NC_OK, data, bytes, err);
}

/* -- what a file of timm's tells of its configuration -- */

/* Tensors that tell something, by being there or by their shape. */
#define NC_AXX__TELLING(TENSOR)                                                                    \
    TENSOR(EMBED, "patch_embed.proj.weight")                                                       \
    TENSOR(POSITIONS, "pos_embed")                                                                 \
    TENSOR(CLASS_TOKEN, "cls_token")                                                               \
    TENSOR(DIST_TOKEN, "dist_token")                                                               \
    TENSOR(REGISTERS, "reg_token")                                                                 \
    TENSOR(PRE_NORM, "norm_pre.weight")                                                            \
    TENSOR(QKV_BIAS, "blocks.0.attn.qkv.bias")                                                     \
    TENSOR(Q_NORM, "blocks.0.attn.q_norm.weight")                                                  \
    TENSOR(PROJ, "blocks.0.attn.proj.weight")                                                      \
    TENSOR(PROJ_BIAS, "blocks.0.attn.proj.bias")                                                   \
    TENSOR(SCALE, "blocks.0.ls1.gamma")                                                            \
    TENSOR(FC1, "blocks.0.mlp.fc1.weight")                                                         \
    TENSOR(FC1_GATE, "blocks.0.mlp.fc1_g.weight")                                                  \
    TENSOR(FC2, "blocks.0.mlp.fc2.weight")                                                         \
    TENSOR(LAST_NORM, "norm.weight")                                                               \
    TENSOR(FC_NORM, "fc_norm.weight")                                                              \
    TENSOR(HEAD, "head.weight")

#define NC_AXX__TELLS_CONSTANT(tensor, name) NC_AXX__TELLS_##tensor,
#define NC_AXX__TELLS_NAME(tensor, name) name,
enum { NC_AXX__TELLING(NC_AXX__TELLS_CONSTANT) NC_AXX__TELLS };
static const char *const nc_axx__telling[] = {NC_AXX__TELLING(NC_AXX__TELLS_NAME)};
#undef NC_AXX__TELLS_CONSTANT
#undef NC_AXX__TELLS_NAME

/* The shapes of those that are there, the number of blocks, and what metadata say. */
typedef struct nc_axx__told {
    uint32_t shape[NC_AXX__TELLS][4], there[NC_AXX__TELLS], blocks;
    double options[NC_AXX__OPTIONS]; /* below 0: not said */
    int own;                         /* some are said */
} nc_axx__told;

/* A tensor's name behind the prefix of data-parallel trainings. */
static const char *nc_axx__bare(const char *name) {
    return name + (strncmp(name, "module.", 7) ? 0 : 7);
}

/* Whether only tensors of timm's classes Eva and Beit are called so. */
static int nc_axx__is_of_eva(const char *name) {
    static const char *const ends[] = {"gamma_1",
                                       "gamma_2",
                                       "attn.q_bias",
                                       "attn.v_bias",
                                       "attn.q_proj.weight",
                                       "attn.k_proj.weight",
                                       "attn.v_proj.weight",
                                       "rope.freqs"};
    const size_t n = strlen(name);
    size_t i;
    for (i = 0; i < sizeof ends / sizeof *ends; i++)
        if (n >= strlen(ends[i]) && !strcmp(name + n - strlen(ends[i]), ends[i])) return 1;
    return 0;
}

/* Why a network of this section cannot have a tensor of this name; null: it could have. */
static const char *nc_axx__no_network(const char *name) {
    if (nc_axx__is_of_eva(name))
        return "tensor '%.60s' is of timm's class Eva or Beit, whose attention knows "
               "places: this cannot be read";
    if (!strncmp(name, "patch_embed.backbone.", 21))
        return "tensor '%.60s' is of convolutions before the transformer: try an ONNX export, with "
               "nc_axx_graph_from_onnx";
    return NULL;
}

/* A tensor that a network has no place for, with the reason where one is known. */
static void nc_axx__no_place(nc__text *t, const char *name) {
    const char *reason = nc_axx__no_network(name);
    (void)nc__text_fail(t, NC_ERR_MISMATCH, reason ? reason : "this network has no tensor '%.60s'",
                        name);
}

static void nc_axx__hear_pair(nc__text *t, const nc__item *pair, nc_axx__told *told) {
    double value;
    const size_t i = nc_axx__option_of(t, pair, &value);
    if (i == NC_AXX__OPTIONS) return;
    told->options[i] = value;
    told->own = 1;
}

static void nc_axx__hear(nc__text *t, const nc__item *item, nc_axx__told *told) {
    const char *name = nc_axx__bare(item->name);
    uint32_t block = 0, i, k;
    if (!strncmp(name, "blocks.", 7)) {
        for (i = 7; name[i] >= '0' && name[i] <= '9' && block <= NC_AXX__DEEPEST; i++)
            block = 10 * block + (uint32_t)(name[i] - '0');
        if (block >= told->blocks) told->blocks = block + 1;
    }
    if (!strncmp(name, "layers.0.blocks.0.attn.", 23))
        (void)nc__text_fail(
            t, NC_ERR_MISMATCH,
            "tensor '%.60s' is of a Swin transformer: nc_axx_swin_describe reads it", name);
    for (i = 0; i < NC_AXX__TELLS && strcmp(nc_axx__telling[i], name) != 0;) i++;
    if (i == NC_AXX__TELLS && nc_axx__no_network(name)) nc_axx__no_place(t, name);
    if (i == NC_AXX__TELLS) return;
    told->there[i] = 1;
    for (k = 0; k < item->rank && k < 4; k++) {
        if (!item->shape[k] || item->shape[k] > INT32_MAX)
            (void)nc__text_fail(t, NC_ERR_LIMIT, "tensor '%.60s' has a dimension of %llu", name,
                                (unsigned long long)item->shape[k]);
        told->shape[i][k] = (uint32_t)(item->shape[k] & INT32_MAX);
    }
}

/* The side of a square of so many patches; 0 where it is none. */
static uint32_t nc_axx__square(uint32_t patches) {
    uint32_t side = 0;
    while (side * side < patches && side < 65) side++;
    return side * side == patches ? side : 0;
}

/* Height and width, a square if they are not given, and which tokens have positions. */
static nc_status nc_axx__tell_image(nc_axx_net_config *c, uint32_t positions, nc_error *err) {
    const uint32_t prefix = (c->mean_pool != 1) + c->distilled + c->registers;
    const uint32_t patches = positions > prefix ? positions - prefix : 0;
    if (!c->patch) return nc__fail(err, NC_ERR_MISMATCH, 0, 0, "patches of no size");
    if (!c->image) {
        c->patch_positions = prefix && !nc_axx__square(patches);
        c->image = c->patch * nc_axx__square(c->patch_positions ? positions : patches);
        if (!c->image)
            return nc__fail(err, NC_ERR_MISMATCH, 0, 0,
                            "pos_embed has %u positions, of no square: give image and width",
                            (unsigned)positions);
    } else {
        const uint32_t width = c->width ? c->width : c->image;
        c->patch_positions = prefix && positions == (c->image / c->patch) * (width / c->patch);
    }
    return NC_OK;
}

/* Heads, of 64 where nothing tells. */
static nc_status nc_axx__tell_heads(nc_axx_net_config *c, const nc_axx__told *told, nc_error *err) {
    const uint32_t all = told->shape[NC_AXX__TELLS_PROJ][1];
    if (!c->heads) {
        const uint32_t size = c->qk_norm ? told->shape[NC_AXX__TELLS_Q_NORM][0] : 64;
        c->heads = size && all % size == 0 ? all / size : 0;
    }
    if (!c->heads || all % c->heads)
        return nc__fail(err, NC_ERR_MISMATCH, 0, 0, "attention is %u wide: give heads, not %u",
                        (unsigned)all, (unsigned)c->heads);
    c->head_dim = all / c->heads;
    return NC_OK;
}

static nc_status nc_axx__tell(nc_axx_net_config *c, const nc_axx__told *told, nc_error *err) {
    static const uint32_t needed[] = {NC_AXX__TELLS_EMBED, NC_AXX__TELLS_POSITIONS,
                                      NC_AXX__TELLS_PROJ, NC_AXX__TELLS_FC2, NC_AXX__TELLS_HEAD};
    const uint32_t *there = told->there;
    nc_status status;
    size_t i;
    for (i = 0; i < NC_AXX__OPTIONS; i++)
        if (!(told->options[i] < 0)) nc_axx__set_option(c, i, told->options[i]);
    for (i = 0; i < sizeof needed / sizeof *needed; i++)
        if (!there[needed[i]])
            return nc__fail(err, NC_ERR_MISMATCH, 0, 0, "tensor '%.60s' is missing",
                            nc_axx__telling[needed[i]]);
    if (!told->own &&
        nc_axx__is_rotary(there[NC_AXX__TELLS_PRE_NORM], (int)there[NC_AXX__TELLS_LAST_NORM],
                          (int)there[NC_AXX__TELLS_FC_NORM]))
        return nc__fail(err, NC_ERR_MISMATCH, 0, 0, NC_AXX__ROTARY);
    c->kind = NC_AXX_NET_VIT;
    c->dim = told->shape[NC_AXX__TELLS_EMBED][0];
    c->channels = told->shape[NC_AXX__TELLS_EMBED][1];
    c->patch = told->shape[NC_AXX__TELLS_EMBED][2];
    c->classes = told->shape[NC_AXX__TELLS_HEAD][0];
    c->depth = told->blocks;
    c->mlp = told->shape[NC_AXX__TELLS_FC2][1];
    c->gated = there[NC_AXX__TELLS_FC1_GATE]                     ? 2
               : told->shape[NC_AXX__TELLS_FC1][0] == 2 * c->mlp ? 1
                                                                 : 0;
    if (c->gated && !c->activation) c->activation = NC_AXX_SILU;
    c->fc_norm = there[NC_AXX__TELLS_FC_NORM] ? 1 : there[NC_AXX__TELLS_LAST_NORM] ? 0 : 2;
    c->mean_pool = !there[NC_AXX__TELLS_CLASS_TOKEN] ? 1 : c->fc_norm == 1 ? 2 : 0;
    if (!(told->options[NC_AXX__OPTION_POOL] < 0))
        c->mean_pool = (uint32_t)told->options[NC_AXX__OPTION_POOL];
    c->distilled = there[NC_AXX__TELLS_DIST_TOKEN];
    c->registers = told->shape[NC_AXX__TELLS_REGISTERS][1];
    c->no_qkv_bias = !there[NC_AXX__TELLS_QKV_BIAS];
    c->no_proj_bias = !there[NC_AXX__TELLS_PROJ_BIAS];
    c->qk_norm = there[NC_AXX__TELLS_Q_NORM];
    c->layer_scale = there[NC_AXX__TELLS_SCALE];
    c->pre_norm = there[NC_AXX__TELLS_PRE_NORM];
    status = nc_axx__tell_heads(c, told, err);
    if (status != NC_OK) return status;
    return nc_axx__tell_image(c, told->shape[NC_AXX__TELLS_POSITIONS][1], err);
}

NC_API nc_status nc_axx_net_describe(nc_axx_net_config *config, const void *data, size_t bytes,
                                     nc_error *err) {
    nc__safetensors file;
    nc__item_kind kind;
    nc__item item;
    nc_axx_net_config c, whole;
    nc_axx__told told;
    nc_status status;
    size_t i;
    nc__clear(err);
    if (!config || !data) return nc__fail(err, NC_ERR_ARG, 0, 0, "null argument");
    memset(&told, 0, sizeof told);
    for (i = 0; i < NC_AXX__OPTIONS; i++) told.options[i] = -1;
    (void)nc__safetensors_open(&file, data, bytes, err);
    while ((kind = nc__safetensors_next(&file, &item)) != NC__ITEM_END)
        if (kind == NC__ITEM_TENSOR)
            nc_axx__hear(&file.t, &item, &told);
        else
            nc_axx__hear_pair(&file.t, &item, &told);
    nc__safetensors_close(&file);
    if (file.t.status != NC_OK) return file.t.status;
    c = *config;
    status = nc_axx__tell(&c, &told, err);
    whole = c;
    if (status == NC_OK) status = nc_axx__check_config(&whole, err);
    if (status == NC_OK) *config = c;
    return status;
}

/* -- reading -- */

/* What a file has said so far. */
typedef struct nc_axx__loaded {
    float *values, *amax;        /* parameters; two for every layer */
    uint8_t *found, *seen, *set; /* of the tensors; of the layers' amax and options */
    size_t layers, sets;         /* whose amax was found, and options */
    nc_axx_layer_info *options;  /* of the layers */
    int own;                     /* options of nc_axx_net_save were found */
} nc_axx__loaded;

/* A number for a message, with a point in every locale. */
static const char *nc_axx__real_text(char text[40], double value) {
    nc__buffer b;
    memset(&b, 0, sizeof b);
    nc__buffer_real(&b, value, 6);
    memset(text, 0, 40);
    if (b.status == NC_OK) memcpy(text, b.data, b.used < 39 ? b.used : 39);
    nc__buffer_free(&b);
    return text;
}

/* nc_axx.NAME: an option, which the network must have, too. */
static void nc_axx__load_option(const nc_axx_net *net, nc__text *t, const nc__item *pair,
                                nc_axx__loaded *loaded) {
    char here[40], there[40];
    double value, own;
    const size_t i = nc_axx__option_of(t, pair, &value);
    nc_axx_net_config said = net->config;
    if (i == NC_AXX__OPTIONS || t->status != NC_OK) return;
    loaded->own = 1;
    nc_axx__set_option(&said, i, value);
    own = nc_axx__option(&net->config, i);
    if (nc_axx__option(&said, i) < own || nc_axx__option(&said, i) > own)
        (void)nc__text_fail(t, NC_ERR_MISMATCH, "the file's network has %s %s, this one %s",
                            nc_axx__options[i].name, nc_axx__real_text(there, value),
                            nc_axx__real_text(here, own));
}

/* Whether a pair is of something that is there and has not been told of (*seen: it has; null: there
 * is no such thing). */
static int nc_axx__is_first(nc__text *t, const nc__item *pair, const uint8_t *seen) {
    if (!seen)
        (void)nc__text_fail(t, NC_ERR_MISMATCH, "'%.90s' is of nothing that multiplies here",
                            pair->name);
    else if (*seen)
        (void)nc__text_fail(t, NC_ERR_FORMAT, "'%.90s' stands there twice", pair->name);
    return seen && !*seen;
}

/* The values of a pair amax.NAME, "a b", of a layer that says so for the first time (*seen: it has
 * before); null where nothing is called NAME. Returns whether amax is set. */
static int nc_axx__read_amax(nc__text *t, const nc__item *pair, uint8_t *seen, float amax[2]) {
    double read[2];
    nc__text text;
    nc__text_open(&text, pair->text, strlen(pair->text), NULL);
    read[0] = nc__text_real(&text);
    nc__skip_space(&text);
    read[1] = nc__text_real(&text);
    if (nc_axx__is_first(t, pair, seen) &&
        (text.status != NC_OK || text.at < text.end || !(read[0] >= 0 && read[0] < 1e38) ||
         !(read[1] >= 0 && read[1] < 1e38)))
        (void)nc__text_fail(t, NC_ERR_FORMAT, "'%.60s' is '%.40s', no pair of numbers", pair->name,
                            pair->text);
    if (t->status != NC_OK || !seen) return 0;
    *seen = 1;
    amax[0] = (float)read[0];
    amax[1] = (float)read[1];
    return 1;
}

/* The next word of some, and the place behind it and a blank. */
static const char *nc_axx__next_word(const char *at, char *word, size_t room) {
    size_t n = strcspn(at, " ");
    (void)snprintf(word, room, "%.*s", (int)n, at);
    return at + n + (at[n] == ' ');
}

/* Which of two or three words one is; their number for none of them. */
static uint32_t nc_axx__which(const char *word, const char *const *words, uint32_t count) {
    uint32_t i = 0;
    while (i < count && strcmp(word, words[i]) != 0) i++;
    return i;
}

/* Options of a pair layer.NAME, of a layer that has them for the first time (*seen: it has had);
 * null where nothing is called NAME. Of the engine there is a name only. Returns whether they are
 * set. */
static int nc_axx__read_layer(nc__text *t, const nc__item *pair, uint8_t *seen,
                              nc_axx_layer_info *info) {
    static const char *const scales[] = {"channel", "tensor"};
    nc_axx_layer_options *o = &info->options;
    char word[32];
    nc__text text;
    const char *at = nc_axx__next_word(pair->text, word, sizeof word);
    const uint32_t mode = nc_axx__which(word, nc_axx__mode_names, 3);
    memset(info, 0, sizeof *info);
    o->mode = (nc_axx_mode)(mode % 3);
    at = nc_axx__next_word(at, word, sizeof word);
    if (word[0] >= '2' && word[0] <= '8' && !word[1]) o->bits = (uint32_t)(word[0] - '0');
    at = nc_axx__next_word(at, word, sizeof word);
    o->per_tensor = nc_axx__which(word, scales, 2);
    at = nc_axx__next_word(at, word, sizeof word);
    nc__text_open(&text, word, strlen(word), NULL);
    o->weight_percent = nc__text_real(&text);
    (void)snprintf(info->multiplier, sizeof info->multiplier, "%s", at);
    if (nc_axx__is_first(t, pair, seen) &&
        (mode == 3 || !o->bits || o->per_tensor > 1 || text.status != NC_OK || text.at < text.end ||
         nc_axx__check_layer_options(o, NULL) != NC_OK || strlen(at) >= sizeof info->multiplier))
        (void)nc__text_fail(t, NC_ERR_FORMAT, "'%.50s' is '%.60s', no options of a layer",
                            pair->name, pair->text);
    if (t->status != NC_OK || !seen) return 0;
    *seen = 1;
    return 1;
}

/* Options that were read, with the engine that there is if it is of the multiplier named. */
static void nc_axx__take_options(nc_axx_layer_options *to, char *wanted, size_t room,
                                 const nc_axx_layer_info *read) {
    const nc_axx_engine *e = to->engine;
    *to = read->options;
    if (e && !strcmp(e->info.name, read->multiplier)) to->engine = e;
    (void)snprintf(wanted, room, "%s", to->engine ? "" : read->multiplier);
}

/* layer.LAYER. */
static void nc_axx__load_layer(const nc_axx_net *net, nc__text *t, const nc__item *pair,
                               nc_axx__loaded *loaded) {
    const size_t layers = stbds_arrlenu(net->layers);
    nc_axx_layer_info info;
    size_t i = 0;
    if (strncmp(pair->name, "layer.", 6) != 0) return;
    while (i < layers && strcmp(pair->name + 6, net->layers[i].info.name) != 0) i++;
    if (!nc_axx__read_layer(t, pair, i < layers ? &loaded->set[i] : NULL, &info)) return;
    loaded->options[i] = info;
    loaded->sets++;
}

/* amax.LAYER. Other pairs are for people. */
static void nc_axx__load_amax(const nc_axx_net *net, nc__text *t, const nc__item *pair,
                              nc_axx__loaded *loaded) {
    const size_t layers = stbds_arrlenu(net->layers);
    float amax[2];
    size_t i = 0;
    if (strncmp(pair->name, "amax.", 5) != 0) return;
    while (i < layers && strcmp(pair->name + 5, net->layers[i].info.name) != 0) i++;
    if (!nc_axx__read_amax(t, pair, i < layers ? &loaded->seen[i] : NULL, amax)) return;
    memcpy(loaded->amax + 2 * i, amax, sizeof amax);
    loaded->layers++;
}

/* Which of the tensors has a name, as it is or but for the prefix; their number for none. */
static size_t nc_axx__tensor_called(nc_axx__tensor *tensors, const char *name) {
    const size_t count = stbds_arrlenu(tensors);
    size_t i;
    for (i = 0; i < count; i++)
        if (!strcmp(tensors[i].name, name)) return i;
    for (i = 0; i < count; i++)
        if (!strcmp(nc_axx__bare(tensors[i].name), nc_axx__bare(name))) return i;
    return count;
}

/* "2 x 3", of at most four axes. */
static const char *nc_axx__shape_text(char text[64], const uint64_t *shape, uint32_t rank) {
    size_t used = 0;
    uint32_t i;
    text[0] = 0;
    for (i = 0; i < rank && i < 4 && used < 60; i++)
        used += (size_t)snprintf(text + used, 64 - used, "%s%llu", i ? " x " : "",
                                 (unsigned long long)(shape[i] % 10000000000));
    return text;
}

/* The values of a tensor that is called like `to` and stands there for the first time (*found: not
 * so). */
static void nc_axx__take_tensor(nc__text *t, const nc__item *item, const nc_axx__tensor *to,
                                uint8_t *found, float *values) {
    char text[2][64];
    size_t k;
    if ((*found)++)
        (void)nc__text_fail(t, NC_ERR_FORMAT, "tensor '%.60s' stands there twice", to->name);
    else if (item->rank != to->rank || memcmp(item->shape, to->shape, to->rank * sizeof *to->shape))
        (void)nc__text_fail(t, NC_ERR_MISMATCH, "tensor '%.60s' has the shape %.40s, not %.40s",
                            to->name, nc_axx__shape_text(text[0], item->shape, item->rank),
                            nc_axx__shape_text(text[1], to->shape, to->rank));
    else if (!nc__is_float(item->dtype))
        (void)nc__text_fail(t, NC_ERR_MISMATCH, "tensor '%.60s' is %.15s, not F32, F16, BF16, F64",
                            to->name, item->dtype);
    for (k = 0; k < to->count && t->status == NC_OK; k++) values[k] = nc__item_float(item, k);
}

/* The values of one of the network's tensors; one that it has no use for would be missed in what it
 * computes, so that is a failure. */
static void nc_axx__load_tensor(const nc_axx_net *net, nc__text *t, const nc__item *item,
                                nc_axx__loaded *loaded) {
    const size_t i = nc_axx__tensor_called(net->tensors, item->name);
    const nc_axx__tensor *to = net->tensors + i;
    if (i == stbds_arrlenu(net->tensors))
        nc_axx__no_place(t, nc_axx__bare(item->name));
    else
        nc_axx__take_tensor(t, item, to, &loaded->found[i],
                            loaded->values + (to->values - net->values));
}

/* The whole file, checked. */
static nc_status nc_axx__load_file(const nc_axx_net *net, const void *data, size_t bytes,
                                   nc_axx__loaded *loaded, nc_error *err) {
    nc__safetensors file;
    nc__item_kind kind;
    nc__item item;
    size_t i;
    (void)nc__safetensors_open(&file, data, bytes, err);
    while ((kind = nc__safetensors_next(&file, &item)) != NC__ITEM_END) {
        if (kind == NC__ITEM_TENSOR)
            nc_axx__load_tensor(net, &file.t, &item, loaded);
        else {
            nc_axx__load_option(net, &file.t, &item, loaded);
            nc_axx__load_amax(net, &file.t, &item, loaded);
            nc_axx__load_layer(net, &file.t, &item, loaded);
        }
    }
    for (i = 0; i < stbds_arrlenu(net->tensors); i++)
        if (!loaded->found[i])
            (void)nc__text_fail(&file.t, NC_ERR_MISMATCH, "tensor '%.60s' is missing",
                                net->tensors[i].name);
    if (net->config.kind == NC_AXX_NET_VIT && !loaded->own &&
        nc_axx__is_rotary(net->config.pre_norm, !net->config.fc_norm, net->config.fc_norm == 1))
        (void)nc__text_fail(&file.t, NC_ERR_MISMATCH, NC_AXX__ROTARY);
    for (i = 0; i < stbds_arrlenu(net->layers); i++)
        if ((loaded->layers && !loaded->seen[i]) || (loaded->sets && !loaded->set[i]))
            (void)nc__text_fail(&file.t, NC_ERR_MISMATCH, "'%s.%.60s' is missing",
                                loaded->layers && !loaded->seen[i] ? "amax" : "layer",
                                net->layers[i].info.name);
    nc__safetensors_close(&file);
    return file.t.status;
}

NC_API nc_status nc_axx_net_load(nc_axx_net *net, const void *data, size_t bytes, nc_error *err) {
    nc_axx__loaded loaded;
    nc_status status;
    size_t i, layers;
    nc__clear(err);
    if (!net || !data) return nc__fail(err, NC_ERR_ARG, 0, 0, "null argument");
    layers = stbds_arrlenu(net->layers);
    memset(&loaded, 0, sizeof loaded);
    loaded.values = (float *)nc__alloc(NULL, net->parameters * sizeof *loaded.values);
    loaded.amax = (float *)nc__calloc(NULL, 2 * layers * sizeof *loaded.amax);
    loaded.found = (uint8_t *)nc__calloc(NULL, stbds_arrlenu(net->tensors) + 2 * layers);
    loaded.seen = loaded.found ? loaded.found + stbds_arrlenu(net->tensors) : NULL;
    loaded.set = loaded.seen ? loaded.seen + layers : NULL;
    loaded.options = (nc_axx_layer_info *)nc__alloc(NULL, layers * sizeof *loaded.options);
    status = loaded.values && loaded.amax && loaded.found && loaded.options
                 ? nc_axx__load_file(net, data, bytes, &loaded, err)
                 : nc__fail(err, NC_ERR_MEMORY, 0, 0, "out of memory");
    if (status == NC_OK) {
        memcpy(net->values, loaded.values, net->parameters * sizeof *loaded.values);
        net->calibrated = loaded.layers >= layers;
        for (i = 0; i < 2 * layers && net->calibrated; i++)
            net->layers[i / 2].info.amax[i % 2] = loaded.amax[i];
        for (i = 0; i < layers && loaded.sets; i++)
            nc_axx__take_options(&net->layers[i].info.options, net->layers[i].info.multiplier,
                                 sizeof net->layers[i].info.multiplier, &loaded.options[i]);
    }
    nc__free(NULL, loaded.values, 0);
    nc__free(NULL, loaded.amax, 0);
    nc__free(NULL, loaded.found, 0);
    nc__free(NULL, loaded.options, 0);
    return status;
}
#endif /* NC_AXX_VIT */

/* >>graphs ====================================================================== */

#ifdef NC_AXX_VIT

/* -- a graph -- */

typedef struct nc_axx__vertex {
    nc_axx_node is; /* as described, defaults filled in; its name and inputs are the two below */
    char name[64];
    uint32_t *inputs; /* stb_ds array */
    uint32_t rank;
    size_t shape[4], count;   /* of its values, for one image */
    uint32_t weight, bias;    /* tensors; UINT32_MAX: none */
    nc_axx_conv conv;         /* convolutions and pools, of one image */
    size_t rows, k, out;      /* linear and matmul: m, k, n */
    size_t batch;             /* matmul: products for one image */
    uint32_t uses, last_use;  /* by other nodes; the last of them */
    int folded, same_memory;  /* its values are its input's */
    int folding;              /* it will be folded */
    int waits;                /* float32 for now: a progressive training */
    nc_axx_layer_options set; /* bits: not 0 */
    char wanted[48];          /* a multiplier that set.engine waits for; "": none */
    int calibrated;
    float amax[2];
    uint64_t macs;
    size_t at;     /* of its values in the memory, in floats for one image */
    float *y, *dy; /* dy: null unless for training */
} nc_axx__vertex;

struct nc_axx_graph {
    nc_axx__vertex *nodes;   /* stb_ds array, as the next */
    nc_axx__tensor *tensors; /* `values` null until it is finished */
    size_t batch;            /* 0: not finished */
    int training, by_batch;
    size_t count;     /* images of the last forward pass; 0: none */
    nc_status status; /* of the pass under way */
    nc_axx_engine *exact;
    nc_axx_calibrator *seen; /* two for every node while calibrating, else null */
    size_t parameters;
    float *values, *gradients; /* of the tensors */
    uint8_t *memory;           /* values of the nodes, and what follows: */
    float *taps, *float_a, *float_b, *scales;
    size_t slots; /* threads that `taps` has room for, depthwise */
    nc_axx_calibrator *of_weights;
    uint8_t *byte_a, *byte_b, *work, *gemms; /* the last: of float32, one a thread */
    size_t work_bytes;
};

/* What the compiler may not know of a kind of node. */
typedef struct nc_axx__node_kind {
    const char *name;
    uint32_t least, most, least_axes, most_axes;
    /* its shape, tensors and products; v->shape is the first input's at first */
    nc_status (*plan)(nc_axx_graph *g, nc_axx__vertex *v, nc_error *err);
    /* its values, of so many images */
    void (*run)(nc_axx_graph *g, nc_axx__vertex *v, size_t images);
    /* adds to its inputs' gradients and its tensors'; v->dy may be spent */
    void (*back)(nc_axx_graph *g, nc_axx__vertex *v, size_t images);
} nc_axx__node_kind;

static nc_axx__vertex *nc_axx__input_of(const nc_axx_graph *g, const nc_axx__vertex *v,
                                        uint32_t i) {
    return &g->nodes[v->inputs[i]];
}

static float *nc_axx__values(const nc_axx_graph *g, const nc_axx__vertex *v, uint32_t i) {
    return nc_axx__input_of(g, v, i)->y;
}

/* -- planning: shapes, tensors, errors that name the node -- */

NC__COLD_BEGIN

#if defined(__GNUC__)
__attribute__((format(printf, 4, 5)))
#endif
static nc_status
nc_axx__refuse(const nc_axx__vertex *v, nc_status status, nc_error *err, const char *format, ...) {
    char text[120];
    va_list args;
    va_start(args, format);
    (void)vsnprintf(text, sizeof text, format, args);
    va_end(args);
    return nc__fail(err, status, 0, 0, "node '%s': %s", v->name, text);
}

/* A tensor NAME + ending of this shape, up to its first 0. Its number. */
static uint32_t nc_axx__node_tensor(nc_axx_graph *g, const nc_axx__vertex *v, const char *ending,
                                    size_t d0, size_t d1, size_t d2, size_t d3) {
    const size_t d[4] = {d0, d1, d2, d3};
    nc_axx__tensor t;
    memset(&t, 0, sizeof t);
    (void)snprintf(t.name, sizeof t.name, "%s%s", v->name, ending);
    for (t.count = 1; t.rank < 4 && d[t.rank]; t.rank++) {
        t.shape[t.rank] = d[t.rank];
        t.count = nc__mul_size(t.count, d[t.rank]);
    }
    stbds_arrput(g->tensors, t);
    return (uint32_t)stbds_arrlenu(g->tensors) - 1;
}

/* The shape that the node gives: input, parameter, reshape. */
static nc_status nc_axx__plan_given(nc_axx_graph *g, nc_axx__vertex *v, nc_error *err) {
    const uint32_t *shape = v->is.shape;
    size_t count = 1, i;
    if (!v->is.rank || v->is.rank > 4)
        return nc_axx__refuse(v, NC_ERR_ARG, err, "a shape of %u axes, where 1 to 4 are possible",
                              (unsigned)v->is.rank);
    for (i = 0; i < v->is.rank; i++) {
        if (!shape[i] || shape[i] > 1u << 24)
            return nc_axx__refuse(v, NC_ERR_ARG, err,
                                  "axis %u of %u places, where 1 to 2^24 are "
                                  "possible",
                                  (unsigned)i, (unsigned)shape[i]);
        v->shape[i] = shape[i];
        count = nc__mul_size(count, shape[i]);
    }
    if (v->is.kind == NC_AXX_NODE_RESHAPE && count != nc_axx__input_of(g, v, 0)->count)
        return nc_axx__refuse(v, NC_ERR_ARG, err, "a shape of %lu values for an input of %lu",
                              (unsigned long)count,
                              (unsigned long)nc_axx__input_of(g, v, 0)->count);
    v->rank = v->is.rank;
    if (v->is.kind == NC_AXX_NODE_PARAMETER)
        v->weight =
            nc_axx__node_tensor(g, v, "", v->shape[0], v->rank > 1 ? v->shape[1] : 0,
                                v->rank > 2 ? v->shape[2] : 0, v->rank > 3 ? v->shape[3] : 0);
    if (v->is.kind == NC_AXX_NODE_PARAMETER) g->tensors[v->weight].deviation = 0.02f;
    return NC_OK;
}

/* The input's shape. */
static nc_status nc_axx__plan_alike(nc_axx_graph *g, nc_axx__vertex *v, nc_error *err) {
    (void)g;
    (void)v;
    (void)err;
    return NC_OK;
}

static nc_status nc_axx__plan_flatten(nc_axx_graph *g, nc_axx__vertex *v, nc_error *err) {
    (void)err;
    v->shape[0] = nc_axx__input_of(g, v, 0)->count;
    v->rank = 1;
    return NC_OK;
}

static nc_status nc_axx__plan_permute(nc_axx_graph *g, nc_axx__vertex *v, nc_error *err) {
    const nc_axx__vertex *from = nc_axx__input_of(g, v, 0);
    uint32_t taken = 0, i;
    if (v->is.rank != from->rank)
        return nc_axx__refuse(v, NC_ERR_ARG, err, "an order of %u axes for an input of %u",
                              (unsigned)v->is.rank, (unsigned)from->rank);
    for (i = 0; i < v->rank; i++) {
        const uint32_t axis = v->is.shape[i];
        if (axis >= v->rank || taken >> axis & 1)
            return nc_axx__refuse(v, NC_ERR_ARG, err, "axis %u is not there or taken twice",
                                  (unsigned)axis);
        taken |= 1u << axis;
        v->shape[i] = from->shape[axis];
    }
    return NC_OK;
}

/* Padding of an axis so that ceil(size / stride) places come out. */
static void nc_axx__same_padding(nc_axx_same same, size_t size, size_t stride, size_t span,
                                 uint32_t *start, uint32_t *end) {
    const size_t covered = ((size + stride - 1) / stride - 1) * stride + span;
    const size_t all = covered > size ? covered - size : 0;
    *start = (uint32_t)((all + (same == NC_AXX_SAME_LOWER)) / 2);
    *end = (uint32_t)(all - *start);
}

/* A convolution's or pool's shape by its node, without channels and groups. */
static nc_status nc_axx__plan_window(nc_axx_graph *g, nc_axx__vertex *v, nc_error *err) {
    const nc_axx__vertex *from = nc_axx__input_of(g, v, 0);
    const int pool = v->is.kind == NC_AXX_NODE_MAX_POOL || v->is.kind == NC_AXX_NODE_MEAN_POOL;
    uint32_t *p = v->is.padding, i;
    if ((unsigned)v->is.same > NC_AXX_SAME_LOWER)
        return nc_axx__refuse(v, NC_ERR_ARG, err, "padding 'same' number %u is unknown",
                              (unsigned)v->is.same);
    if (v->is.same && (p[0] || p[1] || p[2] || p[3]))
        return nc_axx__refuse(v, NC_ERR_ARG, err, "padding is both given and 'same'");
    for (i = 0; i < 2; i++) {
        if (!v->is.kernel[i] || v->is.kernel[i] > 4096 || v->is.stride[i] > 4096 ||
            v->is.dilation[i] > 4096 || p[i] > 4096 || p[i + 2] > 4096)
            return nc_axx__refuse(v, NC_ERR_LIMIT, err,
                                  "kernel %u, stride %u, dilation %u or padding beyond 1 to 4,096",
                                  (unsigned)v->is.kernel[i], (unsigned)v->is.stride[i],
                                  (unsigned)v->is.dilation[i]);
        if (!v->is.stride[i]) v->is.stride[i] = pool ? v->is.kernel[i] : 1;
        if (!v->is.dilation[i]) v->is.dilation[i] = 1;
        if (v->is.same)
            nc_axx__same_padding(v->is.same, from->shape[1 + i], v->is.stride[i],
                                 (size_t)v->is.dilation[i] * (v->is.kernel[i] - 1) + 1, &p[i],
                                 &p[i + 2]);
    }
    v->conv.batch = 1;
    v->conv.in_channels = from->shape[0];
    v->conv.height = from->shape[1];
    v->conv.width = from->shape[2];
    v->conv.kernel_h = v->is.kernel[0];
    v->conv.kernel_w = v->is.kernel[1];
    v->conv.stride_h = v->is.stride[0];
    v->conv.stride_w = v->is.stride[1];
    v->conv.dilation_h = v->is.dilation[0];
    v->conv.dilation_w = v->is.dilation[1];
    v->conv.padding_h = p[0];
    v->conv.padding_w = p[1];
    v->conv.extra_h = (ptrdiff_t)p[2] - (ptrdiff_t)p[0];
    v->conv.extra_w = (ptrdiff_t)p[3] - (ptrdiff_t)p[1];
    return NC_OK;
}

/* Height and width that come out. */
static nc_status nc_axx__plan_places(nc_axx__vertex *v, int transposed, nc_error *err) {
    const nc_status status = nc_axx_conv_output(&v->conv, transposed, &v->shape[1], &v->shape[2]);
    if (status == NC_OK) return status;
    return nc_axx__refuse(v, status, err,
                          "no place comes out of %lu channels of %lu x %lu by a "
                          "kernel of %lu x %lu in %lu groups to %lu channels",
                          (unsigned long)v->conv.in_channels, (unsigned long)v->conv.height,
                          (unsigned long)v->conv.width, (unsigned long)v->conv.kernel_h,
                          (unsigned long)v->conv.kernel_w, (unsigned long)v->conv.groups,
                          (unsigned long)v->conv.out_channels);
}

static nc_status nc_axx__plan_convolution(nc_axx_graph *g, nc_axx__vertex *v, nc_error *err) {
    const int transposed = v->is.kind == NC_AXX_NODE_CONV2D_TRANSPOSED;
    const size_t groups = v->is.groups ? v->is.groups : 1, in = v->shape[0], out = v->is.out;
    const size_t places_in = v->shape[1] * v->shape[2];
    size_t fan_in;
    nc_status status;
    if (transposed && v->is.same)
        return nc_axx__refuse(v, NC_ERR_ARG, err,
                              "padding 'same' of a transposed convolution: "
                              "give it in numbers");
    if (!transposed && (v->is.output_padding[0] || v->is.output_padding[1]))
        return nc_axx__refuse(v, NC_ERR_ARG, err,
                              "output padding of a convolution that is not "
                              "transposed");
    if (!out || in % groups || out % groups)
        return nc_axx__refuse(v, NC_ERR_ARG, err, "%lu groups of %lu channels to %lu",
                              (unsigned long)groups, (unsigned long)in, (unsigned long)out);
    status = nc_axx__plan_window(g, v, err);
    if (status != NC_OK) return status;
    v->conv.out_channels = out;
    v->conv.groups = groups;
    if (transposed) { /* what is cut at the end is no padding of it */
        v->conv.extra_h = (ptrdiff_t)v->is.output_padding[0] - v->conv.extra_h;
        v->conv.extra_w = (ptrdiff_t)v->is.output_padding[1] - v->conv.extra_w;
    }
    status = nc_axx__plan_places(v, transposed, err);
    if (status != NC_OK) return status;
    v->shape[0] = out;
    v->weight =
        nc_axx__node_tensor(g, v, ".weight", transposed ? in : out,
                            (transposed ? out : in) / groups, v->conv.kernel_h, v->conv.kernel_w);
    g->tensors[v->weight].decays = 1;
    fan_in = in / groups * v->conv.kernel_h * v->conv.kernel_w;
    g->tensors[v->weight].deviation = sqrtf(2.0f / (float)fan_in);
    if (!v->is.no_bias) v->bias = nc_axx__node_tensor(g, v, ".bias", out, 0, 0, 0);
    v->macs = (uint64_t)(transposed ? places_in : v->shape[1] * v->shape[2]) *
              g->tensors[v->weight].count;
    return NC_OK;
}

static nc_status nc_axx__plan_linear(nc_axx_graph *g, nc_axx__vertex *v, nc_error *err) {
    if (!v->is.out || v->is.out > 1u << 24)
        return nc_axx__refuse(v, NC_ERR_ARG, err, "%u columns, where 1 to 2^24 are possible",
                              (unsigned)v->is.out);
    v->k = v->shape[v->rank - 1];
    v->out = v->is.out;
    v->rows = nc_axx__input_of(g, v, 0)->count / v->k;
    v->batch = 1;
    v->shape[v->rank - 1] = v->out;
    v->weight = nc_axx__node_tensor(g, v, ".weight", v->out, v->k, 0, 0);
    g->tensors[v->weight].decays = 1;
    g->tensors[v->weight].deviation = sqrtf(1.0f / (float)v->k);
    if (!v->is.no_bias) v->bias = nc_axx__node_tensor(g, v, ".bias", v->out, 0, 0, 0);
    v->macs = (uint64_t)v->rows * v->k * v->out;
    return NC_OK;
}

static nc_status nc_axx__plan_matmul(nc_axx_graph *g, nc_axx__vertex *v, nc_error *err) {
    const nc_axx__vertex *a = nc_axx__input_of(g, v, 0), *b = nc_axx__input_of(g, v, 1);
    const uint32_t last = v->rank - 1;
    size_t k;
    if (b->rank != a->rank || memcmp(a->shape, b->shape, (last - 1) * sizeof *a->shape) != 0)
        return nc_axx__refuse(v, NC_ERR_ARG, err, "'%s' and '%s' differ before their last two axes",
                              a->name, b->name);
    k = b->shape[v->is.by_columns ? last : last - 1];
    if (k != a->shape[last])
        return nc_axx__refuse(v, NC_ERR_ARG, err, "sums over %lu values of '%s' and %lu of '%s'",
                              (unsigned long)a->shape[last], a->name, (unsigned long)k, b->name);
    if (!(v->is.factor > -1e30f && v->is.factor < 1e30f))
        return nc_axx__refuse(v, NC_ERR_ARG, err, "a factor beyond 1e30");
    if (v->is.factor == 0.0f) v->is.factor = 1.0f;
    v->rows = a->shape[last - 1];
    v->k = k;
    v->out = b->shape[v->is.by_columns ? last - 1 : last];
    v->batch = a->count / (v->rows * k);
    v->shape[last] = v->out;
    v->macs = (uint64_t)v->batch * v->rows * v->k * v->out;
    return NC_OK;
}

static nc_status nc_axx__plan_norm(nc_axx_graph *g, nc_axx__vertex *v, nc_error *err) {
    const int batch_norm = v->is.kind == NC_AXX_NODE_BATCH_NORM;
    char text[40];
    const size_t n = batch_norm ? v->shape[0] : v->shape[v->rank - 1];
    if (!(v->is.eps >= 0 && v->is.eps < 1e6f))
        return nc_axx__refuse(v, NC_ERR_ARG, err, "eps %s, where 0 to 1e6 is possible",
                              nc_axx__real_text(text, (double)v->is.eps));
    if (v->is.eps == 0.0f) v->is.eps = 1e-5f;
    v->weight = nc_axx__node_tensor(g, v, ".weight", n, 0, 0, 0);
    v->bias = nc_axx__node_tensor(g, v, ".bias", n, 0, 0, 0);
    g->tensors[v->weight].start = 1.0f;
    if (!batch_norm) return NC_OK;
    (void)nc_axx__node_tensor(g, v, ".running_mean", n, 0, 0, 0);
    (void)nc_axx__node_tensor(g, v, ".running_var", n, 0, 0, 0);
    stbds_arrlast(g->tensors).start = 1.0f;
    return NC_OK;
}

static nc_status nc_axx__plan_pool(nc_axx_graph *g, nc_axx__vertex *v, nc_error *err) {
    const nc_status status = nc_axx__plan_window(g, v, err);
    uint32_t i;
    if (status != NC_OK) return status;
    for (i = 0; i < 4; i++)
        if (v->is.padding[i] >= v->is.kernel[i % 2])
            return nc_axx__refuse(v, NC_ERR_ARG, err, "padding %u, not below the kernel's %u",
                                  (unsigned)v->is.padding[i], (unsigned)v->is.kernel[i % 2]);
    if (v->is.dilation[0] > 1 || v->is.dilation[1] > 1)
        return nc_axx__refuse(v, NC_ERR_UNSUPPORTED, err, "dilation of a pool");
    v->conv.out_channels = v->conv.groups = v->shape[0];
    return nc_axx__plan_places(v, 0, err);
}

static nc_status nc_axx__plan_global_pool(nc_axx_graph *g, nc_axx__vertex *v, nc_error *err) {
    (void)g;
    (void)err;
    v->shape[1] = v->shape[2] = 1;
    return NC_OK;
}

/* The i-th axis from the last, 1 where there is none. */
static size_t nc_axx__axis_from_last(const nc_axx__vertex *v, uint32_t i) {
    return i < v->rank ? v->shape[v->rank - 1 - i] : 1;
}

static nc_status nc_axx__plan_pair(nc_axx_graph *g, nc_axx__vertex *v, nc_error *err) {
    const nc_axx__vertex *a = nc_axx__input_of(g, v, 0), *b = nc_axx__input_of(g, v, 1);
    uint32_t i;
    v->rank = a->rank > b->rank ? a->rank : b->rank;
    for (i = 0; i < v->rank; i++) {
        const size_t m = nc_axx__axis_from_last(a, i), n = nc_axx__axis_from_last(b, i);
        if (m != n && m != 1 && n != 1)
            return nc_axx__refuse(v, NC_ERR_ARG, err, "'%s' and '%s' differ in shape", a->name,
                                  b->name);
        v->shape[v->rank - 1 - i] = nc_axx__larger(m, n);
    }
    return NC_OK;
}

static nc_status nc_axx__plan_scale(nc_axx_graph *g, nc_axx__vertex *v, nc_error *err) {
    (void)g;
    if (!(fabsf(v->is.factor) < 1e30f && fabsf(v->is.term) < 1e30f))
        return nc_axx__refuse(v, NC_ERR_ARG, err, "a factor or term beyond 1e30");
    if (v->is.factor == 0.0f) v->is.factor = 1.0f;
    return NC_OK;
}

static nc_status nc_axx__plan_slice(nc_axx_graph *g, nc_axx__vertex *v, nc_error *err) {
    const size_t first = v->is.first, places = v->is.out;
    (void)g;
    if (v->is.axis >= v->rank || !places || (uint64_t)first + places > v->shape[v->is.axis])
        return nc_axx__refuse(v, NC_ERR_ARG, err, "%lu places from %lu on of axis %u",
                              (unsigned long)places, (unsigned long)first, (unsigned)v->is.axis);
    v->shape[v->is.axis] = places;
    return NC_OK;
}

static nc_status nc_axx__plan_pad(nc_axx_graph *g, nc_axx__vertex *v, nc_error *err) {
    const size_t first = v->is.first, places = v->is.out;
    (void)g;
    if (v->is.axis >= v->rank || places > 1u << 24 ||
        (uint64_t)first + v->shape[v->is.axis] > places)
        return nc_axx__refuse(v, NC_ERR_ARG, err, "axis %u is no part of %lu places from %lu on",
                              (unsigned)v->is.axis, (unsigned long)places, (unsigned long)first);
    if (!(fabsf(v->is.term) < 1e30f))
        return nc_axx__refuse(v, NC_ERR_ARG, err, "a term beyond 1e30");
    v->shape[v->is.axis] = places;
    return NC_OK;
}

static nc_status nc_axx__plan_clip(nc_axx_graph *g, nc_axx__vertex *v, nc_error *err) {
    char least[40], most[40];
    (void)g;
    if (!(v->is.least < v->is.most))
        return nc_axx__refuse(v, NC_ERR_ARG, err, "least is %s, not below most, %s",
                              nc_axx__real_text(least, (double)v->is.least),
                              nc_axx__real_text(most, (double)v->is.most));
    return NC_OK;
}

static nc_status nc_axx__plan_concat(nc_axx_graph *g, nc_axx__vertex *v, nc_error *err) {
    const uint32_t axis = v->is.axis;
    uint32_t i, k;
    if (axis >= v->rank)
        return nc_axx__refuse(v, NC_ERR_ARG, err, "axis %u of inputs of %u axes", (unsigned)axis,
                              (unsigned)v->rank);
    for (i = 1; i < v->is.input_count; i++) {
        const nc_axx__vertex *one = nc_axx__input_of(g, v, i);
        for (k = 0; k < v->rank; k++)
            if (one->rank != v->rank || (k != axis && one->shape[k] != v->shape[k]))
                return nc_axx__refuse(v, NC_ERR_ARG, err, "'%s' and '%s' differ in another axis",
                                      nc_axx__input_of(g, v, 0)->name, one->name);
        v->shape[axis] += one->shape[axis];
    }
    return NC_OK;
}

NC__COLD_END

/* -- values -- */

/* Count an operand's values while calibrating. */
static void nc_axx__graph_see(nc_axx_graph *g, const nc_axx__vertex *v, int operand, const float *x,
                              size_t n) {
    if (g->seen) nc_axx_calibrator_collect(&g->seen[2 * (v - g->nodes) + operand], x, n);
}

static const float *nc_axx__tensor_values(const nc_axx_graph *g, uint32_t tensor) {
    return tensor == UINT32_MAX ? NULL : g->tensors[tensor].values;
}

/* While calibrating all is float32, and while it waits a node. */
static nc_axx_mode nc_axx__mode_of(const nc_axx_graph *g, const nc_axx__vertex *v) {
    return g->seen || v->waits ? NC_AXX_MODE_FLOAT : v->set.mode;
}

/* An activation as float32 products take it. */
static float *nc_axx__graph_operand(nc_axx_graph *g, const nc_axx__vertex *v, int operand, float *x,
                                    size_t n) {
    uint8_t *bytes = operand ? g->byte_b : g->byte_a;
    float *floats = operand ? g->float_b : g->float_a;
    const float scale = nc_axx_scale(v->amax[operand], v->set.bits);
    if (nc_axx__mode_of(g, v) == NC_AXX_MODE_FLOAT) return x;
    nc_axx_quantize((int8_t *)bytes, x, n, scale, v->set.bits);
    nc_axx_dequantize(floats, bytes, n, scale, 0);
    return floats;
}

/* The weights to byte_b, and their scales; transposed convolutions have one for all. */
static void nc_axx__quantize_weights(nc_axx_graph *g, const nc_axx__vertex *v) {
    const nc_axx__tensor *t = &g->tensors[v->weight];
    const int whole = v->is.kind == NC_AXX_NODE_CONV2D_TRANSPOSED;
    const size_t rows = whole ? 1 : (size_t)t->shape[0];
    nc_axx__code_weights(&v->set, g->of_weights, g->byte_b, g->scales, t->values, rows,
                         t->count / rows);
}

/* The weights as float32 products take them. */
static const float *nc_axx__graph_weights(nc_axx_graph *g, const nc_axx__vertex *v) {
    const nc_axx__tensor *t = &g->tensors[v->weight];
    const size_t rows = (size_t)t->shape[0], columns = t->count / rows;
    const int whole = v->is.kind == NC_AXX_NODE_CONV2D_TRANSPOSED;
    size_t r;
    if (nc_axx__mode_of(g, v) == NC_AXX_MODE_FLOAT) return t->values;
    nc_axx__quantize_weights(g, v);
    for (r = 0; r < rows; r++)
        nc_axx_dequantize(g->float_b + r * columns, g->byte_b + r * columns, columns,
                          g->scales[whole ? 0 : r], 0);
    return g->float_b;
}

/* y (m x n) = a b, k terms each, or += with `add`. */
static nc_status nc_axx__slot_gemm(void *work, nc_axx__matrix a, nc_axx__matrix b, float *y,
                                   size_t m, size_t n, size_t k, int add) {
    return nc_hlx_gemm(a.transposed, b.transposed, m, n, k, a.at, a.columns, b.at, b.columns, y, n,
                       add, work, nc_hlx_gemm_work_bytes());
}

/* The same on all threads. */
static void nc_axx__graph_gemm(nc_axx_graph *g, nc_axx__matrix a, nc_axx__matrix b, float *y,
                               size_t m, size_t n, size_t k, int add) {
    if (g->status == NC_OK) g->status = nc_axx__slot_gemm(g->gemms, a, b, y, m, n, k, add);
}

static const nc_axx_engine *nc_axx__graph_engine(const nc_axx_graph *g, const nc_axx__vertex *v) {
    return v->set.engine ? v->set.engine : g->exact;
}

/* Rows of one tap at all places of the smaller map, 0 beyond the edge of the larger, of one image
 * and group; or (back) the rows added to the larger map. */
static void nc_axx__float_taps(const nc_axx__plan *p, float *taps, float *map, int back) {
    const size_t stride = p->s.stride_w, kernel_w = p->s.kernel_w, kernel_h = p->s.kernel_h;
    size_t tap, h, w, x;
    for (tap = 0; tap < p->taps; tap++) {
        const nc_axx__span span = nc_axx__span_of(p, tap % kernel_w);
        const size_t first = span.first + span.begin * stride;
        float *plane = map + tap / (kernel_w * kernel_h) * p->large_h * p->large_w;
        for (h = 0; h < p->small_h; h++, taps += p->small_w) {
            const size_t y = nc_axx__tap_row(p, h, tap / kernel_w % kernel_h);
            const size_t end = y < p->large_h ? span.end : 0, begin = end ? span.begin : 0;
            float *row = plane + (end ? y * p->large_w : 0);
            if (back) {
                for (w = begin, x = first; w < end; w++, x += stride) row[x] += taps[w];
                continue;
            }
            memset(taps, 0, begin * sizeof *taps);
            if (stride == 1 && end > begin)
                memcpy(taps + begin, row + first, (end - begin) * sizeof *taps);
            else
                for (w = begin, x = first; w < end; w++, x += stride) taps[w] = row[x];
            memset(taps + end, 0, (p->small_w - end) * sizeof *taps);
        }
    }
}

/* y (images, channels, places) += bias[channel]. */
static void nc_axx__add_bias(float *y, const float *bias, size_t images, size_t channels,
                             size_t places) {
    size_t c, i;
    for (c = 0; bias && c < images * channels; c++)
        for (i = 0; i < places; i++) y[c * places + i] += bias[c % channels];
}

/* Whether the rows of taps are the map itself. */
static int nc_axx__is_pointwise(const nc_axx__plan *p) {
    const nc_axx_conv *s = &p->s;
    return s->kernel_h == 1 && s->kernel_w == 1 && s->stride_h == 1 && s->stride_w == 1 &&
           !s->padding_h && !s->padding_w && !s->extra_h && !s->extra_w;
}

/* Threads that share a convolution's images and groups, each with its own rows of taps. */
static size_t nc_axx__conv_hands(const nc_axx_graph *g, const nc_axx__plan *p) {
    const size_t maps = nc__mul_size(g->batch, p->s.groups);
    const size_t hands = g->slots < NC_AXX__LAYER_HANDS ? g->slots : (size_t)NC_AXX__LAYER_HANDS;
    if (nc__mul_size(p->taps, p->small_h * p->small_w) > (size_t)1 << 22) return 1;
    return hands < maps ? hands : maps;
}

/* The float32 products of one image and group; taps and work are the thread's. */
static nc_status nc_axx__convolve_map(const nc_axx__plan *p, int transposed, float *x,
                                      const float *w, float *y, float *taps, void *work) {
    const size_t places = p->small_h * p->small_w;
    nc_status status;
    if (!transposed) {
        if (!nc_axx__is_pointwise(p)) {
            nc_axx__float_taps(p, taps, x, 0);
            x = taps;
        }
        return nc_axx__slot_gemm(work, nc_axx__matrix_of(w, p->taps, 0),
                                 nc_axx__matrix_of(x, places, 0), y, p->small_channels, places,
                                 p->taps, 0);
    }
    status =
        nc_axx__slot_gemm(work, nc_axx__matrix_of(w, p->taps, 1), nc_axx__matrix_of(x, places, 0),
                          taps, p->taps, places, p->small_channels, 0);
    memset(y, 0, p->large_channels * p->large_h * p->large_w * sizeof *y);
    nc_axx__float_taps(p, taps, y, 1);
    return status;
}

/* A convolution's float32 products. */
static void nc_axx__float_convolution(nc_axx_graph *g, const nc_axx__vertex *v,
                                      const nc_axx__plan *p, float *x, const float *w,
                                      size_t images) {
    const int transposed = v->is.kind == NC_AXX_NODE_CONV2D_TRANSPOSED;
    const size_t taps = p->taps * p->small_h * p->small_w, maps = images * p->s.groups;
    const size_t small = p->small_channels * p->small_h * p->small_w;
    const size_t large = p->large_channels * p->large_h * p->large_w;
    const size_t from = transposed ? small : large, to = transposed ? large : small;
    const size_t hands = nc_axx__conv_hands(g, p), work = nc_hlx_gemm_work_bytes();
    nc_status status[NC_AXX__LAYER_HANDS];
    ptrdiff_t slot;
    if (nc_axx__is_float_depthwise(p)) {
        nc_axx__depthwise_job job;
        memset(&job, 0, sizeof job);
        job.p = p;
        job.kernels = nc_axx__depthwise_fused;
        job.images = images;
        job.slots = g->slots;
        job.w = w;
        *(transposed ? &job.small : &job.large) = x;
        *(transposed ? &job.to_large : &job.to_small) = v->y;
        nc_axx__depthwise_run(&job, g->taps);
        return;
    }
#ifdef _OPENMP
#pragma omp parallel for schedule(                                                                 \
    static) if (hands > 1 && (double)maps * (double)taps * (double)p->small_channels > 4e6)
#endif
    for (slot = 0; slot < (ptrdiff_t)hands; slot++) {
        size_t i;
        status[slot] = NC_OK;
        for (i = (size_t)slot; i < maps && status[slot] == NC_OK; i += hands)
            status[slot] = nc_axx__convolve_map(
                p, transposed, x + i * from, w + i % p->s.groups * p->small_channels * p->taps,
                v->y + i * to, g->taps + (size_t)slot * taps, g->gemms + (size_t)slot * work);
    }
    for (slot = 0; slot < (ptrdiff_t)hands; slot++)
        if (status[slot] != NC_OK) g->status = status[slot];
}

static void nc_axx__run_convolution(nc_axx_graph *g, nc_axx__vertex *v, size_t images) {
    const int transposed = v->is.kind == NC_AXX_NODE_CONV2D_TRANSPOSED;
    const size_t n = images * nc_axx__input_of(g, v, 0)->count;
    const float *bias = nc_axx__tensor_values(g, v->bias);
    float *x = nc_axx__values(g, v, 0);
    const float scale = nc_axx_scale(v->amax[0], v->set.bits);
    const nc_axx_engine *e = nc_axx__graph_engine(g, v);
    nc_axx_conv shape = v->conv;
    nc_axx__plan p;
    nc_axx__graph_see(g, v, 0, x, n);
    shape.batch = images;
    (void)nc_axx__plan_conv(&shape, transposed, &p);
    if (nc_axx__mode_of(g, v) == NC_AXX_MODE_INTEGER) {
        const int is_depthwise = !transposed && nc_axx__is_depthwise(e, &p);
        if (!is_depthwise) nc_axx_quantize((int8_t *)g->byte_a, x, n, scale, v->set.bits);
        nc_axx__quantize_weights(g, v);
        g->status = is_depthwise
                        ? nc_axx__conv2d_values(e, &shape, x, scale, v->set.bits, g->byte_b,
                                                g->scales, bias, v->y, g->work, g->work_bytes)
                    : transposed
                        ? nc_axx_conv2d_transposed(e, &shape, g->byte_a, scale, g->byte_b,
                                                   g->scales[0], bias, v->y, g->work, g->work_bytes)
                        : nc_axx_conv2d(e, &shape, g->byte_a, scale, g->byte_b, g->scales, bias,
                                        v->y, g->work, g->work_bytes);
        return;
    }
    x = nc_axx__graph_operand(g, v, 0, x, n);
    nc_axx__float_convolution(g, v, &p, x, nc_axx__graph_weights(g, v), images);
    nc_axx__add_bias(v->y, bias, images, v->shape[0], v->shape[1] * v->shape[2]);
}

static void nc_axx__run_linear(nc_axx_graph *g, nc_axx__vertex *v, size_t images) {
    const size_t rows = images * v->rows;
    const float *bias = nc_axx__tensor_values(g, v->bias);
    float *x = nc_axx__values(g, v, 0);
    const float scale = nc_axx_scale(v->amax[0], v->set.bits);
    nc_axx__graph_see(g, v, 0, x, rows * v->k);
    if (nc_axx__mode_of(g, v) == NC_AXX_MODE_INTEGER) {
        nc_axx_quantize((int8_t *)g->byte_a, x, rows * v->k, scale, v->set.bits);
        nc_axx__quantize_weights(g, v);
        g->status =
            nc_axx_linear(nc_axx__graph_engine(g, v), g->byte_a, scale, g->byte_b, g->scales, bias,
                          v->y, rows, v->k, v->out, g->work, g->work_bytes);
        return;
    }
    x = nc_axx__graph_operand(g, v, 0, x, rows * v->k);
    nc_axx__graph_gemm(g, nc_axx__matrix_of(x, v->k, 0),
                       nc_axx__matrix_of(nc_axx__graph_weights(g, v), v->k, 1), v->y, rows, v->out,
                       v->k, 0);
    nc_axx__add_bias(v->y, bias, rows, v->out, 1);
}

static void nc_axx__run_matmul(nc_axx_graph *g, nc_axx__vertex *v, size_t images) {
    const size_t m = v->rows, n = v->out, k = v->k, count = images * v->batch;
    float *a = nc_axx__values(g, v, 0), *b = nc_axx__values(g, v, 1);
    const int by_columns = v->is.by_columns != 0;
    size_t i;
    nc_axx__graph_see(g, v, 0, a, count * m * k);
    nc_axx__graph_see(g, v, 1, b, count * n * k);
    if (nc_axx__mode_of(g, v) == NC_AXX_MODE_INTEGER) {
        const float one = nc_axx_scale(v->amax[0], v->set.bits);
        const float two = nc_axx_scale(v->amax[1], v->set.bits);
        nc_axx_quantize((int8_t *)g->byte_a, a, count * m * k, one, v->set.bits);
        nc_axx_quantize((int8_t *)g->byte_b, b, count * n * k, two, v->set.bits);
        g->status = nc_axx_matmul(nc_axx__graph_engine(g, v), g->byte_a, one, g->byte_b, two,
                                  !by_columns, v->y, count, m, n, k, g->work, g->work_bytes);
    } else {
        a = nc_axx__graph_operand(g, v, 0, a, count * m * k);
        b = nc_axx__graph_operand(g, v, 1, b, count * n * k);
        for (i = 0; i < count; i++)
            nc_axx__graph_gemm(g, nc_axx__matrix_of(a + i * m * k, k, 0),
                               nc_axx__matrix_of(b + i * n * k, by_columns ? k : n, by_columns),
                               v->y + i * m * n, m, n, k, 0);
    }
    for (i = 0; i < count * m * n && v->is.factor != 1.0f; i++) v->y[i] *= v->is.factor;
}

static void nc_axx__run_parameter(nc_axx_graph *g, nc_axx__vertex *v, size_t images) {
    size_t i;
    for (i = 0; i < images; i++)
        memcpy(v->y + i * v->count, nc_axx__tensor_values(g, v->weight), v->count * sizeof *v->y);
}

/* Nothing: the values are there. */
static void nc_axx__run_nothing(nc_axx_graph *g, nc_axx__vertex *v, size_t images) {
    (void)g;
    (void)v;
    (void)images;
}

/* The factor and the term of a channel: y = factor x + term. */
static void nc_axx__batch_norm_of(const nc_axx_graph *g, const nc_axx__vertex *v, size_t channel,
                                  float *factor, float *term) {
    const nc_axx__tensor *t = &g->tensors[v->weight];
    *factor = t[0].values[channel] / sqrtf(t[3].values[channel] + v->is.eps);
    *term = t[1].values[channel] - t[2].values[channel] * *factor;
}

/* Whether a norm takes the batch's own mean and variance. */
static int nc_axx__by_batch(const nc_axx_graph *g, const nc_axx__vertex *v) {
    return g->by_batch && !g->seen && !v->folded;
}

/* A channel's values less their mean, divided by the root of their variance and eps, to v->y.
 * *mean and *variance (without eps) are the batch's; returns the root. */
static float nc_axx__standardise(const nc_axx_graph *g, const nc_axx__vertex *v, size_t images,
                                 size_t channel, float *mean, float *variance) {
    const size_t channels = v->shape[0], places = v->count / channels;
    const float *x = nc_axx__values(g, v, 0), n = (float)(images * places);
    float sum = 0.0f, squares = 0.0f, root;
    size_t i, k;
    for (i = channel; i < images * channels; i += channels)
        sum += nc_hlx_sum(x + i * places, places);
    *mean = sum / n;
    for (i = channel; i < images * channels; i += channels) {
        for (k = i * places; k < (i + 1) * places; k++) v->y[k] = x[k] - *mean;
        squares += nc_hlx_dot(v->y + i * places, v->y + i * places, places);
    }
    *variance = squares / n;
    root = sqrtf(*variance + v->is.eps);
    for (i = channel; i < images * channels; i += channels)
        for (k = i * places; k < (i + 1) * places; k++) v->y[k] /= root;
    return root;
}

static void nc_axx__run_batch_statistics(nc_axx_graph *g, nc_axx__vertex *v, size_t images) {
    const size_t channels = v->shape[0], places = v->count / channels;
    const nc_axx__tensor *t = &g->tensors[v->weight];
    const float n = (float)(images * places);
    float mean, variance;
    size_t c, i, k;
    for (c = 0; c < channels; c++) {
        (void)nc_axx__standardise(g, v, images, c, &mean, &variance);
        if (n > 1.0f) variance *= n / (n - 1.0f);
        t[2].values[c] += 0.1f * (mean - t[2].values[c]);
        t[3].values[c] += 0.1f * (variance - t[3].values[c]);
        for (i = c; i < images * channels; i += channels)
            for (k = i * places; k < (i + 1) * places; k++)
                v->y[k] = v->y[k] * t[0].values[c] + t[1].values[c];
    }
}

static void nc_axx__run_batch_norm(nc_axx_graph *g, nc_axx__vertex *v, size_t images) {
    const size_t channels = v->shape[0], places = v->count / channels;
    const float *x = nc_axx__values(g, v, 0);
    float factor, term;
    size_t c, i;
    if (nc_axx__by_batch(g, v)) {
        nc_axx__run_batch_statistics(g, v, images);
        return;
    }
    for (c = 0; c < images * channels && !v->folded; c++) {
        nc_axx__batch_norm_of(g, v, c % channels, &factor, &term);
        for (i = c * places; i < (c + 1) * places; i++) v->y[i] = x[i] * factor + term;
    }
}

static void nc_axx__run_layer_norm(nc_axx_graph *g, nc_axx__vertex *v, size_t images) {
    const size_t n = v->shape[v->rank - 1], rows = images * v->count / n;
    /* mean and deviation of the rows are not kept */
    nc_hlx_layernorm_eps(v->y, g->taps, g->taps + rows, nc_axx__values(g, v, 0),
                         nc_axx__tensor_values(g, v->weight), nc_axx__tensor_values(g, v->bias),
                         rows, n, v->is.eps);
}

static void nc_axx__run_softmax(nc_axx_graph *g, nc_axx__vertex *v, size_t images) {
    const size_t n = v->shape[v->rank - 1];
    memcpy(v->y, nc_axx__values(g, v, 0), images * v->count * sizeof *v->y);
    nc_hlx_softmax(v->y, images * v->count / n, n, 0);
}

/* Within two bounds; NaN stays. */
static void nc_axx__within_bounds(float *y, const float *x, size_t n, float least, float most) {
    size_t i;
    for (i = 0; i < n; i++) {
        const float one = x[i] < least ? least : x[i];
        y[i] = one > most ? most : one;
    }
}

static void nc_axx__run_relu(nc_axx_graph *g, nc_axx__vertex *v, size_t images) {
    nc_axx__within_bounds(v->y, nc_axx__values(g, v, 0), images * v->count, 0.0f,
                          v->is.kind == NC_AXX_NODE_RELU6 ? 6.0f : INFINITY);
}

static void nc_axx__run_clip(nc_axx_graph *g, nc_axx__vertex *v, size_t images) {
    nc_axx__within_bounds(v->y, nc_axx__values(g, v, 0), images * v->count, v->is.least,
                          v->is.most);
}

static float nc_axx__sigmoid(float x) { return 1.0f / (1.0f + nc_hlx_exp(-x)); }

static float nc_axx__hard_sigmoid(float x) {
    return x < -3.0f ? 0.0f : x > 3.0f ? 1.0f : (x + 3.0f) / 6.0f;
}

static void nc_axx__run_activation(nc_axx_graph *g, nc_axx__vertex *v, size_t images) {
    const float *x = nc_axx__values(g, v, 0);
    const size_t n = images * v->count;
    size_t i;
    switch (v->is.kind) {
    case NC_AXX_NODE_GELU: nc_axx__gelu(v->y, x, n); break;
    case NC_AXX_NODE_SILU: (void)nc_hlx_activate(v->y, x, n, NC_HLX_SILU); break;
    case NC_AXX_NODE_SIGMOID:
        for (i = 0; i < n; i++) v->y[i] = nc_axx__sigmoid(x[i]);
        break;
    case NC_AXX_NODE_HARD_SIGMOID:
        for (i = 0; i < n; i++) v->y[i] = nc_axx__hard_sigmoid(x[i]);
        break;
    case NC_AXX_NODE_HARD_SWISH:
        for (i = 0; i < n; i++) v->y[i] = x[i] * nc_axx__hard_sigmoid(x[i]);
        break;
    case NC_AXX_NODE_TANH:
        for (i = 0; i < n; i++) v->y[i] = nc_hlx_tanh(x[i]);
        break;
    default: (void)nc_hlx_activate(v->y, x, n, NC_HLX_GELU); break;
    }
}

/* One window of a channel: its largest value or mean. */
static float nc_axx__window(const nc_axx__vertex *v, const float *map, size_t top, size_t left) {
    const nc_axx_conv *s = &v->conv;
    const int largest = v->is.kind == NC_AXX_NODE_MAX_POOL;
    float value = 0.0f;
    size_t y, x, in = 0;
    for (y = top; y != top + s->kernel_h; y++) /* above the first row it is a huge one */
        for (x = left; x != left + s->kernel_w; x++) {
            const float one = y < s->height && x < s->width ? map[y * s->width + x] : 0.0f;
            if (y >= s->height || x >= s->width) continue;
            if (largest)
                value = !in || one > value || one != one ? one : value;
            else
                value += one;
            in++;
        }
    if (largest) return value;
    return value / (float)(v->is.exclude_padding ? in : s->kernel_h * s->kernel_w);
}

static void nc_axx__run_pool(nc_axx_graph *g, nc_axx__vertex *v, size_t images) {
    const nc_axx_conv *s = &v->conv;
    const size_t map = s->height * s->width;
    const float *x = nc_axx__values(g, v, 0);
    float *y = v->y;
    size_t c, h, w;
    for (c = 0; c < images * v->shape[0]; c++)
        for (h = 0; h < v->shape[1]; h++)
            for (w = 0; w < v->shape[2]; w++)
                *y++ = nc_axx__window(v, x + c * map, h * s->stride_h - s->padding_h,
                                      w * s->stride_w - s->padding_w);
}

static void nc_axx__run_global_pool(nc_axx_graph *g, nc_axx__vertex *v, size_t images) {
    const size_t places = nc_axx__input_of(g, v, 0)->count / v->count;
    size_t c;
    for (c = 0; c < images * v->count; c++)
        v->y[c] = nc_hlx_sum(nc_axx__values(g, v, 0) + c * places, places) / (float)places;
}

static void nc_axx__run_scale(nc_axx_graph *g, nc_axx__vertex *v, size_t images) {
    const float *x = nc_axx__values(g, v, 0);
    size_t i;
    for (i = 0; i < images * v->count; i++) v->y[i] = x[i] * v->is.factor + v->is.term;
}

/* How far an input's next place is on each of four axes; 0 where one place is repeated. */
static void nc_axx__repeated_steps(const nc_axx__vertex *from, size_t *step) {
    size_t size = 1;
    uint32_t i;
    for (i = 0; i < 4; i++) {
        const size_t n = nc_axx__axis_from_last(from, i);
        step[3 - i] = n > 1 ? size : 0;
        size *= n;
    }
}

/* What the two inputs of an image give, place by place; or (back) their gradients. */
static void nc_axx__pair_image(const nc_axx__vertex *v, const nc_axx__vertex *a,
                               const nc_axx__vertex *b, size_t image, int back) {
    const int product = v->is.kind == NC_AXX_NODE_MULTIPLY;
    const size_t first = image * a->count, second = image * b->count;
    size_t n[4], s[4], t[4], to = image * v->count, i, j, k, l;
    nc_axx__repeated_steps(a, s);
    nc_axx__repeated_steps(b, t);
    for (i = 0; i < 4; i++) n[3 - i] = nc_axx__axis_from_last(v, (uint32_t)i);
    for (i = 0; i < n[0]; i++)
        for (j = 0; j < n[1]; j++)
            for (k = 0; k < n[2]; k++)
                for (l = 0; l < n[3]; l++, to++) {
                    const size_t x = first + i * s[0] + j * s[1] + k * s[2] + l * s[3];
                    const size_t y = second + i * t[0] + j * t[1] + k * t[2] + l * t[3];
                    if (!back) {
                        v->y[to] = product ? a->y[x] * b->y[y] : a->y[x] + b->y[y];
                        continue;
                    }
                    a->dy[x] += product ? v->dy[to] * b->y[y] : v->dy[to];
                    b->dy[y] += product ? v->dy[to] * a->y[x] : v->dy[to];
                }
}

static void nc_axx__run_pair(nc_axx_graph *g, nc_axx__vertex *v, size_t images) {
    const nc_axx__vertex *a = nc_axx__input_of(g, v, 0), *b = nc_axx__input_of(g, v, 1);
    size_t i;
    if (v->is.kind == NC_AXX_NODE_ADD && a->count == v->count && b->count == v->count)
        nc_axx__sum(v->y, a->y, b->y, images * v->count);
    else
        for (i = 0; i < images; i++) nc_axx__pair_image(v, a, b, i, 0);
}

static void nc_axx__back_pair(nc_axx_graph *g, nc_axx__vertex *v, size_t images) {
    size_t i;
    for (i = 0; i < images; i++)
        nc_axx__pair_image(v, nc_axx__input_of(g, v, 0), nc_axx__input_of(g, v, 1), i, 1);
}

/* dx += dy */
static void nc_axx__pass_on(float *dx, const float *dy, size_t n) {
    size_t i;
    for (i = 0; i < n; i++) dx[i] += dy[i];
}

/* Pieces of the inputs one behind the other; or (back) their gradients from those of the values. */
static void nc_axx__join(nc_axx_graph *g, nc_axx__vertex *v, size_t images, int back) {
    size_t outer = images, inner = 1, at = 0, i, k;
    for (i = 0; i < v->is.axis; i++) outer *= v->shape[i];
    for (i = v->is.axis + 1; i < v->rank; i++) inner *= v->shape[i];
    for (i = 0; i < v->is.input_count; i++) {
        const size_t piece = nc_axx__input_of(g, v, (uint32_t)i)->shape[v->is.axis] * inner;
        const size_t row = v->shape[v->is.axis] * inner;
        for (k = 0; k < outer && back; k++)
            nc_axx__pass_on(nc_axx__input_of(g, v, (uint32_t)i)->dy + k * piece,
                            v->dy + k * row + at, piece);
        for (k = 0; k < outer && !back; k++)
            memcpy(v->y + k * row + at, nc_axx__values(g, v, (uint32_t)i) + k * piece,
                   piece * sizeof *v->y);
        at += piece;
    }
}

static void nc_axx__run_concat(nc_axx_graph *g, nc_axx__vertex *v, size_t images) {
    nc_axx__join(g, v, images, 0);
}

/* The longer axis of slice and pad: `outer` rows, of which `count` floats from `first` on are the
 * shorter one's. */
typedef struct nc_axx__cut_rows {
    size_t outer, row, first, count;
} nc_axx__cut_rows;

static nc_axx__cut_rows nc_axx__rows_of(const nc_axx__vertex *longer, const nc_axx__vertex *shorter,
                                        const nc_axx_node *node, size_t images) {
    nc_axx__cut_rows r;
    size_t inner = 1, i;
    r.outer = images;
    for (i = 0; i < node->axis; i++) r.outer *= longer->shape[i];
    for (i = node->axis + 1; i < longer->rank; i++) inner *= longer->shape[i];
    r.row = longer->shape[node->axis] * inner;
    r.first = node->first * inner;
    r.count = shorter->shape[node->axis] * inner;
    return r;
}

static void nc_axx__run_slice(nc_axx_graph *g, nc_axx__vertex *v, size_t images) {
    const nc_axx__cut_rows r = nc_axx__rows_of(nc_axx__input_of(g, v, 0), v, &v->is, images);
    const float *x = nc_axx__values(g, v, 0) + r.first;
    size_t i;
    for (i = 0; i < r.outer; i++) memcpy(v->y + i * r.count, x + i * r.row, r.count * sizeof *v->y);
}

static void nc_axx__run_pad(nc_axx_graph *g, nc_axx__vertex *v, size_t images) {
    const nc_axx__cut_rows r = nc_axx__rows_of(v, nc_axx__input_of(g, v, 0), &v->is, images);
    const float *x = nc_axx__values(g, v, 0);
    size_t i;
    for (i = 0; i < images * v->count; i++) v->y[i] = v->is.term;
    for (i = 0; i < r.outer; i++)
        memcpy(v->y + i * r.row + r.first, x + i * r.count, r.count * sizeof *v->y);
}

/* Values in another order of axes; or (back) the gradients. */
static void nc_axx__reorder(const nc_axx_graph *g, nc_axx__vertex *v, size_t images, int back) {
    const nc_axx__vertex *from = nc_axx__input_of(g, v, 0);
    size_t n[4] = {1, 1, 1, 1}, step[4] = {0, 0, 0, 0}, to = 0, i, a, b, c, d;
    for (i = 0; i < v->rank; i++) {
        const size_t place = 4 - v->rank + i;
        n[place] = v->shape[i];
        for (step[place] = 1, a = v->is.shape[i] + 1; a < from->rank; a++)
            step[place] *= from->shape[a];
    }
    for (i = 0; i < images; i++)
        for (a = 0; a < n[0]; a++)
            for (b = 0; b < n[1]; b++)
                for (c = 0; c < n[2]; c++)
                    for (d = 0; d < n[3]; d++, to++) {
                        const size_t at =
                            i * from->count + a * step[0] + b * step[1] + c * step[2] + d * step[3];
                        if (back)
                            from->dy[at] += v->dy[to];
                        else
                            v->y[to] = from->y[at];
                    }
}

static void nc_axx__run_permute(nc_axx_graph *g, nc_axx__vertex *v, size_t images) {
    nc_axx__reorder(g, v, images, 0);
}

/* -- gradients -- */

static float *nc_axx__gradients(const nc_axx_graph *g, const nc_axx__vertex *v, uint32_t i) {
    return nc_axx__input_of(g, v, i)->dy;
}

static float *nc_axx__tensor_gradient(const nc_axx_graph *g, uint32_t tensor) {
    return g->gradients + (g->tensors[tensor].values - g->values);
}

static void nc_axx__back_nothing(nc_axx_graph *g, nc_axx__vertex *v, size_t images) {
    nc_axx__run_nothing(g, v, images);
}

static void nc_axx__back_parameter(nc_axx_graph *g, nc_axx__vertex *v, size_t images) {
    size_t i;
    for (i = 0; i < images; i++)
        nc_axx__pass_on(nc_axx__tensor_gradient(g, v->weight), v->dy + i * v->count, v->count);
}

/* One image and group of a convolution: dw += dy taps^T, dx += the taps of w^T dy. */
static void nc_axx__convolution_back(nc_axx_graph *g, const nc_axx__plan *p, float *x,
                                     const float *dy, const float *w, float *dx, float *dw) {
    const size_t places = p->small_h * p->small_w, channels = p->small_channels;
    const int pointwise = nc_axx__is_pointwise(p);
    if (!pointwise) nc_axx__float_taps(p, g->taps, x, 0);
    nc_axx__graph_gemm(g, nc_axx__matrix_of(dy, places, 0),
                       nc_axx__matrix_of(pointwise ? x : g->taps, places, 1), dw, channels, p->taps,
                       places, 1);
    nc_axx__graph_gemm(g, nc_axx__matrix_of(w, p->taps, 1), nc_axx__matrix_of(dy, places, 0),
                       pointwise ? dx : g->taps, p->taps, places, channels, pointwise);
    if (!pointwise) nc_axx__float_taps(p, g->taps, dx, 1);
}

/* Of a transposed one: dw += x taps^T, dx += w taps, with the taps of dy. */
static void nc_axx__transposed_back(nc_axx_graph *g, const nc_axx__plan *p, const float *x,
                                    float *dy, const float *w, float *dx, float *dw) {
    const size_t places = p->small_h * p->small_w, channels = p->small_channels;
    nc_axx__float_taps(p, g->taps, dy, 0);
    nc_axx__graph_gemm(g, nc_axx__matrix_of(x, places, 0), nc_axx__matrix_of(g->taps, places, 1),
                       dw, channels, p->taps, places, 1);
    nc_axx__graph_gemm(g, nc_axx__matrix_of(w, p->taps, 0), nc_axx__matrix_of(g->taps, places, 0),
                       dx, channels, places, p->taps, 1);
}

static void nc_axx__back_convolution(nc_axx_graph *g, nc_axx__vertex *v, size_t images) {
    const int transposed = v->is.kind == NC_AXX_NODE_CONV2D_TRANSPOSED;
    const nc_axx__vertex *from = nc_axx__input_of(g, v, 0);
    const size_t groups = v->conv.groups, in = from->count / groups, out = v->count / groups;
    float *x = nc_axx__graph_operand(g, v, 0, from->y, images * from->count);
    const float *w = nc_axx__graph_weights(g, v);
    float *dw = nc_axx__tensor_gradient(g, v->weight);
    nc_axx__plan p;
    size_t i;
    (void)nc_axx__plan_conv(&v->conv, transposed, &p);
    if (nc_axx__is_float_depthwise(&p)) {
        nc_axx__depthwise_job job;
        memset(&job, 0, sizeof job);
        job.p = &p;
        job.kernels = nc_axx__depthwise_fused;
        job.images = images;
        job.slots = g->slots;
        job.w = w;
        job.dw = dw;
        job.small = transposed ? x : v->dy;
        job.large = transposed ? v->dy : x;
        *(transposed ? &job.to_small : &job.to_large) = from->dy;
        job.add = 1;
        nc_axx__depthwise_run(&job, g->taps);
    }
    for (i = 0; i < images * groups && !nc_axx__is_float_depthwise(&p); i++) {
        const size_t group = i % groups * p.small_channels * p.taps;
        if (transposed)
            nc_axx__transposed_back(g, &p, x + i * in, v->dy + i * out, w + group,
                                    from->dy + i * in, dw + group);
        else
            nc_axx__convolution_back(g, &p, x + i * in, v->dy + i * out, w + group,
                                     from->dy + i * in, dw + group);
    }
    if (v->bias != UINT32_MAX)
        nc_axx__bias_gradient(nc_axx__tensor_gradient(g, v->bias), v->dy, images, v->shape[0],
                              v->shape[1] * v->shape[2]);
}

static void nc_axx__back_linear(nc_axx_graph *g, nc_axx__vertex *v, size_t images) {
    const size_t rows = images * v->rows;
    const float *x = nc_axx__graph_operand(g, v, 0, nc_axx__values(g, v, 0), rows * v->k);
    nc_axx__graph_gemm(g, nc_axx__matrix_of(v->dy, v->out, 0),
                       nc_axx__matrix_of(nc_axx__graph_weights(g, v), v->k, 0),
                       nc_axx__gradients(g, v, 0), rows, v->k, v->out, 1);
    nc_axx__graph_gemm(g, nc_axx__matrix_of(v->dy, v->out, 1), nc_axx__matrix_of(x, v->k, 0),
                       nc_axx__tensor_gradient(g, v->weight), v->out, v->k, rows, 1);
    if (v->bias != UINT32_MAX)
        nc_hlx_column_sums(nc_axx__tensor_gradient(g, v->bias), v->dy, rows, v->out);
}

static void nc_axx__back_matmul(nc_axx_graph *g, nc_axx__vertex *v, size_t images) {
    const size_t m = v->rows, n = v->out, k = v->k, count = images * v->batch;
    const float *a = nc_axx__graph_operand(g, v, 0, nc_axx__values(g, v, 0), count * m * k);
    const float *b = nc_axx__graph_operand(g, v, 1, nc_axx__values(g, v, 1), count * n * k);
    float *da = nc_axx__gradients(g, v, 0), *db = nc_axx__gradients(g, v, 1);
    const int by_columns = v->is.by_columns != 0;
    size_t i;
    for (i = 0; i < count * m * n && v->is.factor != 1.0f; i++) v->dy[i] *= v->is.factor;
    for (i = 0; i < count; i++) {
        const nc_axx__matrix left = nc_axx__matrix_of(a + i * m * k, k, !by_columns);
        const float *dy = v->dy + i * m * n;
        nc_axx__graph_gemm(g, nc_axx__matrix_of(dy, n, 0),
                           nc_axx__matrix_of(b + i * n * k, by_columns ? k : n, !by_columns),
                           da + i * m * k, m, k, n, 1);
        if (by_columns)
            nc_axx__graph_gemm(g, nc_axx__matrix_of(dy, n, 1), left, db + i * n * k, n, k, m, 1);
        else
            nc_axx__graph_gemm(g, left, nc_axx__matrix_of(dy, n, 0), db + i * n * k, k, n, m, 1);
    }
}

/* With z the standardised values: dw += sum dy z, db += sum dy,
 * dx += weight / root (dy - mean(dy) - z mean(dy z)). */
static void nc_axx__back_batch_statistics(nc_axx_graph *g, nc_axx__vertex *v, size_t images) {
    const size_t channels = v->shape[0], places = v->count / channels;
    const float n = (float)(images * places);
    float *dx = nc_axx__gradients(g, v, 0);
    size_t c, i, k;
    for (c = 0; c < channels; c++) {
        float mean, variance, sum = 0.0f, product = 0.0f, factor;
        factor = nc_axx__tensor_values(g, v->weight)[c] /
                 nc_axx__standardise(g, v, images, c, &mean, &variance);
        for (i = c; i < images * channels; i += channels) {
            sum += nc_hlx_sum(v->dy + i * places, places);
            product += nc_hlx_dot(v->dy + i * places, v->y + i * places, places);
        }
        nc_axx__tensor_gradient(g, v->weight)[c] += product;
        nc_axx__tensor_gradient(g, v->bias)[c] += sum;
        for (i = c; i < images * channels; i += channels)
            for (k = i * places; k < (i + 1) * places; k++)
                dx[k] += factor * (v->dy[k] - sum / n - v->y[k] * (product / n));
    }
}

static void nc_axx__back_batch_norm(nc_axx_graph *g, nc_axx__vertex *v, size_t images) {
    const size_t channels = v->shape[0], places = v->count / channels;
    const nc_axx__tensor *t = &g->tensors[v->folded ? 0 : v->weight];
    const float *x = nc_axx__values(g, v, 0);
    float *dx = nc_axx__gradients(g, v, 0), factor, term;
    size_t c, i;
    if (nc_axx__by_batch(g, v)) {
        nc_axx__back_batch_statistics(g, v, images);
        return;
    }
    for (c = 0; c < images * channels && !v->folded; c++) {
        const size_t channel = c % channels;
        const float root = sqrtf(t[3].values[channel] + v->is.eps);
        float *dw = nc_axx__tensor_gradient(g, v->weight) + channel;
        float *db = nc_axx__tensor_gradient(g, v->bias) + channel;
        nc_axx__batch_norm_of(g, v, channel, &factor, &term);
        for (i = c * places; i < (c + 1) * places; i++) {
            *dw += v->dy[i] * ((x[i] - t[2].values[channel]) / root);
            *db += v->dy[i];
            dx[i] += v->dy[i] * factor;
        }
    }
}

/* The values once more, for the mean and deviation of the rows. */
static void nc_axx__back_layer_norm(nc_axx_graph *g, nc_axx__vertex *v, size_t images) {
    const size_t n = v->shape[v->rank - 1], rows = images * v->count / n;
    nc_axx__run_layer_norm(g, v, images);
    nc_hlx_layernorm_backward(nc_axx__gradients(g, v, 0), nc_axx__tensor_gradient(g, v->weight),
                              nc_axx__tensor_gradient(g, v->bias), v->dy, nc_axx__values(g, v, 0),
                              nc_axx__tensor_values(g, v->weight), g->taps, g->taps + rows, rows,
                              n);
}

static void nc_axx__back_softmax(nc_axx_graph *g, nc_axx__vertex *v, size_t images) {
    const size_t n = v->shape[v->rank - 1];
    nc_hlx_softmax_backward(v->dy, v->y, images * v->count / n, n, 0);
    nc_axx__pass_on(nc_axx__gradients(g, v, 0), v->dy, images * v->count);
}

static void nc_axx__back_relu(nc_axx_graph *g, nc_axx__vertex *v, size_t images) {
    const float *x = nc_axx__values(g, v, 0);
    const float most = v->is.kind == NC_AXX_NODE_RELU6 ? 6.0f : INFINITY;
    float *dx = nc_axx__gradients(g, v, 0);
    size_t i;
    for (i = 0; i < images * v->count; i++)
        if (x[i] > 0 && x[i] < most) dx[i] += v->dy[i];
}

static void nc_axx__back_clip(nc_axx_graph *g, nc_axx__vertex *v, size_t images) {
    const float *x = nc_axx__values(g, v, 0);
    float *dx = nc_axx__gradients(g, v, 0);
    size_t i;
    for (i = 0; i < images * v->count; i++)
        if (x[i] >= v->is.least && x[i] <= v->is.most) dx[i] += v->dy[i];
}

static void nc_axx__back_activation(nc_axx_graph *g, nc_axx__vertex *v, size_t images) {
    const float *x = nc_axx__values(g, v, 0);
    const size_t n = images * v->count;
    size_t i;
    switch (v->is.kind) {
    case NC_AXX_NODE_GELU: nc_axx__gelu_back(v->dy, x, n); break;
    case NC_AXX_NODE_SILU: (void)nc_hlx_activate_backward(v->dy, v->dy, x, n, NC_HLX_SILU); break;
    case NC_AXX_NODE_SIGMOID:
        for (i = 0; i < n; i++) v->dy[i] *= v->y[i] * (1.0f - v->y[i]);
        break;
    case NC_AXX_NODE_TANH:
        for (i = 0; i < n; i++) v->dy[i] *= 1.0f - v->y[i] * v->y[i];
        break;
    case NC_AXX_NODE_HARD_SIGMOID:
        for (i = 0; i < n; i++) v->dy[i] = fabsf(x[i]) < 3.0f ? v->dy[i] / 6.0f : 0.0f;
        break;
    case NC_AXX_NODE_HARD_SWISH:
        for (i = 0; i < n; i++)
            v->dy[i] *= x[i] <= -3.0f ? 0.0f : x[i] < 3.0f ? x[i] / 3.0f + 0.5f : 1.0f;
        break;
    default: (void)nc_hlx_activate_backward(v->dy, v->dy, x, n, NC_HLX_GELU); break;
    }
    nc_axx__pass_on(nc_axx__gradients(g, v, 0), v->dy, n);
}

/* To the first place that has the window's value, or evenly to those that its mean counts. */
static void nc_axx__window_back(const nc_axx__vertex *v, const float *map, float *dmap, size_t top,
                                size_t left, float y, float dy) {
    const nc_axx_conv *s = &v->conv;
    const int largest = v->is.kind == NC_AXX_NODE_MAX_POOL;
    size_t row, column, in = 0;
    for (row = top; row != top + s->kernel_h; row++)
        for (column = left; column != left + s->kernel_w; column++) {
            const size_t at = row * s->width + column;
            if (row >= s->height || column >= s->width) continue;
            in++;
            if (!largest || !(map[at] == y)) continue;
            dmap[at] += dy;
            return;
        }
    if (largest) return; /* NaN */
    dy /= (float)(v->is.exclude_padding ? in : s->kernel_h * s->kernel_w);
    for (row = top; row != top + s->kernel_h; row++)
        for (column = left; column != left + s->kernel_w; column++)
            if (row < s->height && column < s->width) dmap[row * s->width + column] += dy;
}

static void nc_axx__back_pool(nc_axx_graph *g, nc_axx__vertex *v, size_t images) {
    const nc_axx_conv *s = &v->conv;
    const size_t map = s->height * s->width;
    const float *x = nc_axx__values(g, v, 0), *y = v->y, *dy = v->dy;
    float *dx = nc_axx__gradients(g, v, 0);
    size_t c, h, w;
    for (c = 0; c < images * v->shape[0]; c++)
        for (h = 0; h < v->shape[1]; h++)
            for (w = 0; w < v->shape[2]; w++)
                nc_axx__window_back(v, x + c * map, dx + c * map, h * s->stride_h - s->padding_h,
                                    w * s->stride_w - s->padding_w, *y++, *dy++);
}

static void nc_axx__back_global_pool(nc_axx_graph *g, nc_axx__vertex *v, size_t images) {
    const size_t places = nc_axx__input_of(g, v, 0)->count / v->count;
    float *dx = nc_axx__gradients(g, v, 0);
    size_t i;
    for (i = 0; i < images * v->count * places; i++) dx[i] += v->dy[i / places] / (float)places;
}

static void nc_axx__back_scale(nc_axx_graph *g, nc_axx__vertex *v, size_t images) {
    float *dx = nc_axx__gradients(g, v, 0);
    size_t i;
    for (i = 0; i < images * v->count; i++) dx[i] += v->dy[i] * v->is.factor;
}

static void nc_axx__back_slice(nc_axx_graph *g, nc_axx__vertex *v, size_t images) {
    const nc_axx__cut_rows r = nc_axx__rows_of(nc_axx__input_of(g, v, 0), v, &v->is, images);
    float *dx = nc_axx__gradients(g, v, 0) + r.first;
    size_t i;
    for (i = 0; i < r.outer; i++) nc_axx__pass_on(dx + i * r.row, v->dy + i * r.count, r.count);
}

static void nc_axx__back_pad(nc_axx_graph *g, nc_axx__vertex *v, size_t images) {
    const nc_axx__cut_rows r = nc_axx__rows_of(v, nc_axx__input_of(g, v, 0), &v->is, images);
    float *dx = nc_axx__gradients(g, v, 0);
    size_t i;
    for (i = 0; i < r.outer; i++)
        nc_axx__pass_on(dx + i * r.count, v->dy + i * r.row + r.first, r.count);
}

static void nc_axx__back_concat(nc_axx_graph *g, nc_axx__vertex *v, size_t images) {
    nc_axx__join(g, v, images, 1);
}

static void nc_axx__back_permute(nc_axx_graph *g, nc_axx__vertex *v, size_t images) {
    nc_axx__reorder(g, v, images, 1);
}

/* -- the table of kinds -- */

static const nc_axx__node_kind nc_axx__node_kinds[NC_AXX_NODE_KINDS] = {
#define NC_AXX__ROW(constant, name, least, most, least_axes, most_axes, plan, run)                 \
    {#name,                                                                                        \
     least,                                                                                        \
     most,                                                                                         \
     least_axes,                                                                                   \
     most_axes,                                                                                    \
     nc_axx__plan_##plan,                                                                          \
     nc_axx__run_##run,                                                                            \
     nc_axx__back_##run},
    NC_AXX_NODES(NC_AXX__ROW)
#undef NC_AXX__ROW
};

/* -- building one -- */

NC__COLD_BEGIN

NC_API nc_status nc_axx_graph_create(nc_axx_graph **graph) {
    if (!graph) return NC_ERR_ARG;
    *graph = (nc_axx_graph *)nc__calloc(NULL, sizeof **graph);
    return *graph ? NC_OK : NC_ERR_MEMORY;
}

NC_API void nc_axx_graph_destroy(nc_axx_graph *graph) {
    size_t i;
    if (!graph) return;
    for (i = 0; i < stbds_arrlenu(graph->nodes); i++) stbds_arrfree(graph->nodes[i].inputs);
    stbds_arrfree(graph->nodes);
    stbds_arrfree(graph->tensors);
    nc_axx_engine_destroy(graph->exact);
    nc__free(NULL, graph->values, 0);
    nc__free(NULL, graph->memory, 0);
    nc__free(NULL, graph, 0);
}

NC_API uint32_t nc_axx_graph_find(const nc_axx_graph *graph, const char *name) {
    size_t i;
    for (i = 0; graph && name && i < stbds_arrlenu(graph->nodes); i++)
        if (!strcmp(graph->nodes[i].name, name)) return (uint32_t)i;
    return UINT32_MAX;
}

/* Its name and inputs, from the description. */
static nc_status nc_axx__name_node(const nc_axx_graph *g, nc_axx__vertex *v, nc_error *err) {
    const uint32_t number = (uint32_t)stbds_arrlenu(g->nodes), before = number - 1;
    const uint32_t *inputs = v->is.inputs ? v->is.inputs : &before;
    const nc_axx__node_kind *kind = &nc_axx__node_kinds[v->is.kind];
    uint32_t i;
    if (v->is.name && (!*v->is.name || strlen(v->is.name) >= sizeof v->name))
        return nc__fail(err, NC_ERR_ARG, 0, 0,
                        "node %u: a name of %lu characters, where 1 to %lu "
                        "are possible",
                        (unsigned)number, (unsigned long)strlen(v->is.name),
                        (unsigned long)sizeof v->name - 1);
    (void)snprintf(v->name, sizeof v->name, "node%u", (unsigned)number);
    if (v->is.name) (void)snprintf(v->name, sizeof v->name, "%s", v->is.name);
    if (nc_axx_graph_find(g, v->name) != UINT32_MAX)
        return nc_axx__refuse(v, NC_ERR_ARG, err, "its name is taken");
    if (!v->is.inputs) v->is.input_count = kind->most && number ? 1 : 0;
    if ((v->is.kind == NC_AXX_NODE_INPUT) != !number)
        return nc_axx__refuse(v, NC_ERR_ARG, err, "the first node, and only this, is the input");
    if (v->is.input_count < kind->least || v->is.input_count > kind->most)
        return nc_axx__refuse(v, NC_ERR_ARG, err, "%u inputs, where %s takes %u to %u",
                              (unsigned)v->is.input_count, kind->name, (unsigned)kind->least,
                              (unsigned)kind->most);
    for (i = 0; i < v->is.input_count; i++) {
        if (inputs[i] >= number)
            return nc_axx__refuse(v, NC_ERR_ARG, err, "input %u is no earlier node",
                                  (unsigned)inputs[i]);
        if (g->nodes[inputs[i]].rank < kind->least_axes ||
            g->nodes[inputs[i]].rank > kind->most_axes)
            return nc_axx__refuse(v, NC_ERR_ARG, err, "'%s' has %u axes, where %s takes %u to %u",
                                  g->nodes[inputs[i]].name, (unsigned)g->nodes[inputs[i]].rank,
                                  kind->name, (unsigned)kind->least_axes,
                                  (unsigned)kind->most_axes);
        stbds_arrput(v->inputs, inputs[i]);
    }
    v->is.name = NULL;
    v->is.inputs = NULL;
    return NC_OK;
}

/* Shape, tensors, products; what is too large is refused before anything is allocated. */
static nc_status nc_axx__plan_node(nc_axx_graph *g, nc_axx__vertex *v, nc_error *err) {
    const size_t most = (size_t)1 << 31;
    nc_status status;
    size_t i;
    if (v->is.input_count) {
        v->rank = nc_axx__input_of(g, v, 0)->rank;
        memcpy(v->shape, nc_axx__input_of(g, v, 0)->shape, sizeof v->shape);
    }
    status = nc_axx__node_kinds[v->is.kind].plan(g, v, err);
    if (status != NC_OK) return status;
    for (v->count = 1, i = 0; i < v->rank; i++) v->count = nc__mul_size(v->count, v->shape[i]);
    for (i = 0; i < stbds_arrlenu(g->tensors); i++)
        if (g->tensors[i].count > most)
            return nc_axx__refuse(v, NC_ERR_LIMIT, err, "a tensor of more than 2^31 values");
    if (v->count > most)
        return nc_axx__refuse(v, NC_ERR_LIMIT, err, "more than 2^31 values for one image");
    v->same_memory = v->is.kind == NC_AXX_NODE_FLATTEN || v->is.kind == NC_AXX_NODE_RESHAPE;
    return NC_OK;
}

NC_API nc_status nc_axx_graph_add(nc_axx_graph *graph, const nc_axx_node *node, uint32_t *number,
                                  nc_error *err) {
    nc_axx__vertex v;
    nc_status status;
    size_t tensors, i;
    nc__clear(err);
    if (!graph || !node) return nc__fail(err, NC_ERR_ARG, 0, 0, "null argument");
    if (graph->batch) return nc__fail(err, NC_ERR_ARG, 0, 0, "the graph is finished");
    if ((unsigned)node->kind >= NC_AXX_NODE_KINDS)
        return nc__fail(err, NC_ERR_ARG, 0, 0, "kind of node %u is unknown", (unsigned)node->kind);
    tensors = stbds_arrlenu(graph->tensors);
    memset(&v, 0, sizeof v);
    v.is = *node;
    v.weight = v.bias = UINT32_MAX;
    v.set.bits = 8;
    status = nc_axx__name_node(graph, &v, err);
    if (status == NC_OK) status = nc_axx__plan_node(graph, &v, err);
    if (status != NC_OK) {
        stbds_arrfree(v.inputs);
        while (stbds_arrlenu(graph->tensors) > tensors) (void)stbds_arrpop(graph->tensors);
        return status;
    }
    for (i = 0; i < v.is.input_count; i++) graph->nodes[v.inputs[i]].uses++;
    if (number) *number = (uint32_t)stbds_arrlenu(graph->nodes);
    stbds_arrput(graph->nodes, v);
    return NC_OK;
}

/* Whose memory a node's values are in. */
static nc_axx__vertex *nc_axx__home(const nc_axx_graph *g, nc_axx__vertex *v) {
    while (v->same_memory || v->folded) v = nc_axx__input_of(g, v, 0);
    return v;
}

/* Where the values of the nodes are, each in the first place that is free while it is needed.
 * Returns how many floats of one image they take. */
static size_t nc_axx__place_nodes(nc_axx_graph *g) {
    const uint32_t nodes = nc_axx_graph_nodes(g);
    size_t all = 0;
    uint32_t i, k;
    for (i = 0; i < nodes; i++) g->nodes[i].last_use = g->training ? nodes : i;
    for (i = 0; i < nodes; i++)
        for (k = 0; k < g->nodes[i].is.input_count; k++)
            if (!g->training) nc_axx__home(g, nc_axx__input_of(g, &g->nodes[i], k))->last_use = i;
    nc_axx__home(g, &g->nodes[nodes - 1])->last_use = nodes;
    for (i = 0; i < nodes; i++) {
        nc_axx__vertex *v = &g->nodes[i];
        if (nc_axx__home(g, v) != v) continue;
        for (v->at = 0, k = 0; k < i; k++) {
            const nc_axx__vertex *o = &g->nodes[k];
            if (nc_axx__home(g, &g->nodes[k]) != o || o->last_use < i ||
                v->at >= o->at + o->count || o->at >= v->at + v->count)
                continue;
            v->at = o->at + o->count;
            k = UINT32_MAX; /* from the first again */
        }
        all = nc_axx__larger(all, nc__add_size(v->at, v->count));
    }
    return all;
}

/* What the largest node needs besides its values. */
typedef struct nc_axx__needs {
    size_t taps, a, b, scales, work;
} nc_axx__needs;

static void nc_axx__need(const nc_axx_graph *g, const nc_axx__vertex *v, nc_axx__needs *n) {
    const size_t weights = v->weight == UINT32_MAX ? 0 : g->tensors[v->weight].count;
    const int transposed = v->is.kind == NC_AXX_NODE_CONV2D_TRANSPOSED;
    size_t work = 0, taps = 0;
    nc_axx__conv_work parts;
    nc_axx__plan p;
    if (v->is.kind == NC_AXX_NODE_LAYER_NORM)
        taps = 2 * g->batch * (v->count / v->shape[v->rank - 1]);
    if (v->is.kind == NC_AXX_NODE_CONV2D || transposed) {
        nc_axx_conv shape = v->conv;
        shape.batch = g->batch;
        (void)nc_axx__plan_conv(&shape, transposed, &p);
        taps = nc_axx__is_float_depthwise(&p)
                   ? nc__mul_size(g->slots, nc_axx__slot_floats(&p, 0))
                   : nc__mul_size(nc_axx__conv_hands(g, &p),
                                  nc__mul_size(p.taps, p.small_h * p.small_w));
        nc_axx__lay_out_conv(NULL, &p, NULL, &parts); /* of its direction only */
        work = parts.bytes;
    }
    if (v->is.kind == NC_AXX_NODE_LINEAR)
        work = nc_axx_linear_work_bytes(NULL, nc__mul_size(g->batch, v->rows), v->k, v->out);
    if (v->is.kind == NC_AXX_NODE_MATMUL) {
        work = nc_axx_matmul_work_bytes(NULL, v->rows, v->out, v->k);
        n->b = nc_axx__larger(n->b, nc__mul_size(g->batch, nc_axx__input_of(g, v, 1)->count));
    }
    n->taps = nc_axx__larger(n->taps, taps);
    n->work = nc_axx__larger(n->work, work);
    if (!v->macs) return;
    n->a = nc_axx__larger(n->a, nc__mul_size(g->batch, nc_axx__input_of(g, v, 0)->count));
    n->b = nc_axx__larger(n->b, weights);
    n->scales =
        nc_axx__larger(n->scales, v->shape[v->is.kind == NC_AXX_NODE_LINEAR ? v->rank - 1 : 0]);
}

/* Memory for `batch` images, in place of what there was. */
static nc_status nc_axx__make_memory(nc_axx_graph *g) {
    const nc_axx_graph before = *g; /* which it stays without memory */
    const size_t values = nc_axx__place_nodes(g);
    nc_axx__needs n;
    nc_axx__arena arena;
    uint8_t *memory = NULL;
    float *floats = NULL, *gradients = NULL;
    uint32_t i;
    int pass;
    memset(&n, 0, sizeof n);
    g->slots = nc_axx__hands(NC_AXX__HANDS);
    for (i = 0; i < nc_axx_graph_nodes(g); i++) nc_axx__need(g, &g->nodes[i], &n);
    for (pass = 0; pass < 2; pass++) { /* for the size, and for the pieces */
        arena = nc_axx__arena_of(memory);
        floats = nc_axx__floats(&arena, nc__mul_size(values, g->batch));
        gradients = nc_axx__floats(&arena, g->training ? nc__mul_size(values, g->batch) : 0);
        g->taps = nc_axx__floats(&arena, n.taps);
        g->float_a = nc_axx__floats(&arena, n.a);
        g->float_b = nc_axx__floats(&arena, n.b);
        g->scales = nc_axx__floats(&arena, n.scales);
        g->of_weights = (nc_axx_calibrator *)nc_axx__piece(&arena, 1, sizeof *g->of_weights);
        g->byte_a = (uint8_t *)nc_axx__piece(&arena, n.a, 1);
        g->byte_b = (uint8_t *)nc_axx__piece(&arena, n.b, 1);
        g->work = (uint8_t *)nc_axx__piece(&arena, n.work, 1);
        g->gemms = (uint8_t *)nc_axx__piece(
            &arena, g->slots < NC_AXX__LAYER_HANDS ? g->slots : (size_t)NC_AXX__LAYER_HANDS,
            nc_hlx_gemm_work_bytes());
        if (pass == 0) memory = (uint8_t *)nc__alloc(NULL, nc_axx__arena_bytes(&arena));
        if (!memory) {
            *g = before;
            return NC_ERR_MEMORY;
        }
    }
    nc__free(NULL, g->memory, 0);
    g->memory = memory;
    g->work_bytes = n.work;
    g->count = 0;
    for (i = 0; i < nc_axx_graph_nodes(g); i++) {
        const size_t at = nc_axx__home(g, &g->nodes[i])->at * g->batch;
        g->nodes[i].y = floats + at;
        if (g->training) g->nodes[i].dy = gradients + at;
    }
    return NC_OK;
}

/* The tensors' values, and as many gradients. */
static nc_status nc_axx__make_values(nc_axx_graph *g) {
    size_t all = 0, i, k;
    for (i = 0; i < stbds_arrlenu(g->tensors); i++) all = nc__add_size(all, g->tensors[i].count);
    g->parameters = all;
    g->values =
        (float *)nc__calloc(NULL, nc__mul_size(all, (g->training ? 2 : 1) * sizeof *g->values));
    if (!g->values) return NC_ERR_MEMORY;
    if (g->training) g->gradients = g->values + all;
    for (all = 0, i = 0; i < stbds_arrlenu(g->tensors); i++) {
        nc_axx__tensor *t = &g->tensors[i];
        t->values = g->values + all;
        all += t->count;
        for (k = 0; k < t->count; k++) t->values[k] = t->start;
    }
    return NC_OK;
}

NC_API nc_status nc_axx_graph_finish(nc_axx_graph *graph, uint32_t batch, int training,
                                     nc_error *err) {
    nc_status status;
    uint32_t i;
    nc__clear(err);
    if (!graph || !stbds_arrlenu(graph->nodes))
        return nc__fail(err, NC_ERR_ARG, 0, 0, "a graph without nodes");
    if (graph->batch) return nc__fail(err, NC_ERR_ARG, 0, 0, "the graph is finished");
    if (!batch || batch > 65536)
        return nc__fail(err, NC_ERR_ARG, 0, 0,
                        "a batch of %u images, where 1 to 65,536 are possible", (unsigned)batch);
    for (i = 0; i + 1 < nc_axx_graph_nodes(graph); i++)
        if (!graph->nodes[i].uses)
            return nc_axx__refuse(&graph->nodes[i], NC_ERR_ARG, err,
                                  "nothing uses its values, and it is not the last");
    graph->batch = batch;
    graph->training = training != 0;
    status = nc_axx__make_memory(graph);
    if (status == NC_OK) status = nc_axx__make_values(graph);
    if (status == NC_OK) status = nc_axx__exact_engine(&graph->exact);
    if (status == NC_OK) return NC_OK;
    graph->batch = 0;
    nc__free(NULL, graph->values, 0);
    graph->values = graph->gradients = NULL;
    return nc__fail(err, status, 0, 0, "out of memory for %u images", (unsigned)batch);
}

NC_API uint32_t nc_axx_graph_nodes(const nc_axx_graph *graph) {
    return graph ? (uint32_t)stbds_arrlenu(graph->nodes) : 0;
}

NC_API nc_status nc_axx_graph_node(const nc_axx_graph *graph, uint32_t number,
                                   nc_axx_node_info *info) {
    const nc_axx__vertex *v;
    uint32_t i;
    if (!info || number >= nc_axx_graph_nodes(graph)) return NC_ERR_ARG;
    v = &graph->nodes[number];
    memset(info, 0, sizeof *info);
    memcpy(info->name, v->name, sizeof info->name);
    info->kind = v->is.kind;
    info->rank = v->rank;
    for (i = 0; i < v->rank; i++) info->shape[i] = (uint32_t)v->shape[i];
    info->macs = v->macs;
    if (v->weight != UINT32_MAX) info->parameters += graph->tensors[v->weight].count;
    if (v->bias != UINT32_MAX) info->parameters += graph->tensors[v->bias].count;
    info->folded = (uint32_t)v->folded;
    info->mode = v->set.mode;
    memcpy(info->amax, v->amax, sizeof info->amax);
    return NC_OK;
}

NC_API uint32_t nc_axx_graph_tensors(const nc_axx_graph *graph) {
    return graph && graph->batch ? (uint32_t)stbds_arrlenu(graph->tensors) : 0;
}

NC_API nc_status nc_axx_graph_tensor(const nc_axx_graph *graph, uint32_t index,
                                     nc_axx_tensor *tensor) {
    const nc_axx__tensor *t;
    if (!tensor || index >= nc_axx_graph_tensors(graph)) return NC_ERR_ARG;
    t = &graph->tensors[index];
    tensor->name = t->name;
    tensor->rank = t->rank;
    memcpy(tensor->shape, t->shape, sizeof tensor->shape);
    tensor->count = t->count;
    tensor->values = t->values;
    tensor->gradients = graph->gradients ? nc_axx__tensor_gradient(graph, index) : NULL;
    return NC_OK;
}

/* Whether a node with products has this number; UINT32_MAX: all of them. */
static int nc_axx__is_numbered(const nc_axx_graph *g, uint32_t i, uint32_t number) {
    return g->nodes[i].macs && (number == UINT32_MAX || number == i);
}

/* Whether there is a node with products of this number, or UINT32_MAX. */
static int nc_axx__has_products(const nc_axx_graph *g, uint32_t number) {
    return g && (number == UINT32_MAX || (number < nc_axx_graph_nodes(g) && g->nodes[number].macs));
}

NC_API nc_status nc_axx_graph_set_mode(nc_axx_graph *graph, uint32_t number, nc_axx_mode mode) {
    uint32_t i;
    if ((unsigned)mode > NC_AXX_MODE_INTEGER || !nc_axx__has_products(graph, number))
        return NC_ERR_ARG;
    for (i = 0; i < nc_axx_graph_nodes(graph); i++)
        if (nc_axx__is_numbered(graph, i, number)) graph->nodes[i].set.mode = mode;
    return NC_OK;
}

NC_API nc_status nc_axx_graph_set_bits(nc_axx_graph *graph, uint32_t number, uint32_t bits) {
    uint32_t i;
    if (bits < 2 || bits > 8 || !nc_axx__has_products(graph, number)) return NC_ERR_ARG;
    for (i = 0; i < nc_axx_graph_nodes(graph); i++)
        if (nc_axx__is_numbered(graph, i, number)) graph->nodes[i].set.bits = bits;
    return NC_OK;
}

NC_API nc_status nc_axx_graph_assign(nc_axx_graph *graph, uint32_t number,
                                     const nc_axx_engine *engine) {
    uint32_t i;
    if (!nc_axx__serves_layers(engine) || !nc_axx__has_products(graph, number)) return NC_ERR_ARG;
    for (i = 0; i < nc_axx_graph_nodes(graph); i++) {
        if (!nc_axx__is_numbered(graph, i, number)) continue;
        graph->nodes[i].set.engine = engine;
        graph->nodes[i].wanted[0] = 0;
    }
    return NC_OK;
}

NC_API nc_status nc_axx_graph_set(nc_axx_graph *graph, const char *pattern,
                                  const nc_axx_layer_options *options, uint32_t *count,
                                  nc_error *err) {
    nc_status status;
    uint32_t fit = 0, i;
    nc__clear(err);
    if (!graph || !pattern || !options) return nc__fail(err, NC_ERR_ARG, 0, 0, "null argument");
    status = nc_axx__check_layer_options(options, err);
    if (status != NC_OK) return status;
    for (i = 0; i < nc_axx_graph_nodes(graph); i++) {
        nc_axx__vertex *v = &graph->nodes[i];
        if (!v->macs || !nc_axx__pattern_fits(pattern, v->name)) continue;
        v->set = *options;
        if (!options->bits) v->set.bits = 8;
        v->wanted[0] = 0;
        fit++;
    }
    if (count) *count = fit;
    if (!fit)
        return nc__fail(err, NC_ERR_ARG, 0, 0, "'%.60s' fits no node that multiplies", pattern);
    return NC_OK;
}

/* Rows, columns and terms of a node's products. */
static void nc_axx__measure_products(const nc_axx_graph *g, const nc_axx__vertex *v,
                                     nc_axx_layer_info *info) {
    const nc_axx_conv *c = &v->conv;
    const uint64_t taps = (uint64_t)c->kernel_h * c->kernel_w;
    info->products = v->is.kind == NC_AXX_NODE_MATMUL ? v->batch : 1;
    info->rows = v->rows;
    info->columns = v->out;
    info->terms = v->k;
    if (v->is.kind != NC_AXX_NODE_CONV2D && v->is.kind != NC_AXX_NODE_CONV2D_TRANSPOSED) return;
    info->products = c->groups;
    info->rows = (uint64_t)v->shape[1] * v->shape[2];
    info->columns = c->out_channels / c->groups;
    info->terms = c->in_channels / c->groups * taps;
    if (v->is.kind == NC_AXX_NODE_CONV2D) return;
    v = nc_axx__input_of(g, v, 0); /* transposed: every place of the input gives all taps */
    info->rows = (uint64_t)v->shape[1] * v->shape[2];
    info->columns *= taps;
    info->terms /= taps;
}

NC_API nc_status nc_axx_graph_layer(const nc_axx_graph *graph, uint32_t number,
                                    nc_axx_layer_info *info) {
    const nc_axx__vertex *v;
    nc_axx_node_info node;
    if (!info || number == UINT32_MAX || !nc_axx__has_products(graph, number)) return NC_ERR_ARG;
    v = &graph->nodes[number];
    (void)nc_axx_graph_node(graph, number, &node);
    memset(info, 0, sizeof *info);
    (void)snprintf(info->name, sizeof info->name, "%s", v->name);
    info->macs = v->macs;
    info->parameters = node.parameters;
    memcpy(info->amax, v->amax, sizeof info->amax);
    info->kind = nc_axx__node_kinds[v->is.kind].name;
    nc_axx__measure_products(graph, v, info);
    info->options = v->set;
    (void)snprintf(info->multiplier, sizeof info->multiplier, "%s", v->wanted);
    nc_axx__complete_info(info);
    return NC_OK;
}

NC_API nc_status nc_axx_graph_table(const nc_axx_graph *graph, char **text, size_t *bytes) {
    const uint32_t nodes = nc_axx_graph_nodes(graph);
    nc_axx_layer_info *layers;
    nc_status status;
    uint32_t i, count = 0;
    if (text) *text = NULL;
    if (bytes) *bytes = 0;
    if (!nodes || !text || !bytes) return NC_ERR_ARG;
    layers = (nc_axx_layer_info *)nc__alloc(NULL, nodes * sizeof *layers);
    if (!layers) return NC_ERR_MEMORY;
    for (i = 0; i < nodes; i++)
        if (nc_axx_graph_layer(graph, i, &layers[count]) == NC_OK) count++;
    status = nc_axx_layer_table(layers, count, text, bytes);
    nc__free(NULL, layers, 0);
    return status;
}

/* -- folding -- */

/* The layer that a batch norm can become part of, or null. */
static nc_axx__vertex *nc_axx__foldable(const nc_axx_graph *g, const nc_axx__vertex *v) {
    nc_axx__vertex *layer;
    if (v->is.kind != NC_AXX_NODE_BATCH_NORM || v->folded) return NULL;
    layer = nc_axx__input_of(g, v, 0);
    if (layer->uses != 1) return NULL;
    if (layer->is.kind == NC_AXX_NODE_LINEAR) return layer->rank == 1 ? layer : NULL;
    return layer->is.kind == NC_AXX_NODE_CONV2D || layer->is.kind == NC_AXX_NODE_CONV2D_TRANSPOSED
               ? layer
               : NULL;
}

/* Weights of every output channel times the norm's factor; the bias follows, in the layer's tensor
 * or, where it has none, in the norm's. */
static void nc_axx__fold_values(const nc_axx_graph *g, const nc_axx__vertex *layer,
                                const nc_axx__vertex *norm) {
    const nc_axx__tensor *w = &g->tensors[layer->weight];
    const int transposed = layer->is.kind == NC_AXX_NODE_CONV2D_TRANSPOSED;
    const size_t in = (size_t)w->shape[0], rows = transposed ? (size_t)w->shape[1] : 1;
    const size_t taps = w->count / in / rows;
    float *bias = g->tensors[layer->bias == UINT32_MAX ? norm->bias : layer->bias].values;
    float factor, term;
    size_t i, o, k;
    for (i = 0; i < in; i++)
        for (o = 0; o < rows; o++) {
            const size_t channel = transposed ? i / (in / layer->conv.groups) * rows + o : i;
            nc_axx__batch_norm_of(g, norm, channel, &factor, &term);
            for (k = 0; k < taps; k++) w->values[(i * rows + o) * taps + k] *= factor;
        }
    for (i = 0; i < norm->shape[0]; i++) {
        nc_axx__batch_norm_of(g, norm, i, &factor, &term);
        bias[i] = layer->bias == UINT32_MAX ? term : bias[i] * factor + term;
    }
}

static void nc_axx__drop_tensor(nc_axx_graph *g, uint32_t tensor) {
    uint32_t i;
    stbds_arrdel(g->tensors, tensor);
    for (i = 0; i < nc_axx_graph_nodes(g); i++) {
        nc_axx__vertex *v = &g->nodes[i];
        if (v->weight != UINT32_MAX && v->weight > tensor) v->weight--;
        if (v->bias != UINT32_MAX && v->bias > tensor) v->bias--;
    }
}

/* The norm's tensors go; its bias stays as the layer's where that had none. */
static void nc_axx__fold_tensors(nc_axx_graph *g, nc_axx__vertex *layer, nc_axx__vertex *norm) {
    const uint32_t first = norm->weight;
    nc_axx__tensor *bias = &g->tensors[norm->bias];
    norm->weight = norm->bias = UINT32_MAX;
    nc_axx__drop_tensor(g, first + 3);
    nc_axx__drop_tensor(g, first + 2);
    if (layer->bias == UINT32_MAX) {
        (void)snprintf(bias->name, sizeof bias->name, "%s.bias", layer->name);
        layer->bias = first + 1;
    } else {
        nc_axx__drop_tensor(g, first + 1);
    }
    nc_axx__drop_tensor(g, first);
}

NC_API nc_status nc_axx_graph_fold(nc_axx_graph *graph, uint32_t *folded) {
    uint32_t count = 0, i;
    nc_status status;
    if (!graph || !graph->batch) return NC_ERR_ARG;
    for (i = 0; i < nc_axx_graph_nodes(graph); i++) {
        nc_axx__vertex *norm = &graph->nodes[i];
        norm->folding = nc_axx__foldable(graph, norm) != NULL;
        if (!norm->folding) continue;
        norm->folded = 1;
        count++;
    }
    status = count ? nc_axx__make_memory(graph) : NC_OK;
    for (i = 0; i < nc_axx_graph_nodes(graph); i++) {
        nc_axx__vertex *norm = &graph->nodes[i], *layer;
        if (!norm->folding) continue;
        norm->folding = 0;
        if (status != NC_OK) {
            norm->folded = 0;
            continue;
        }
        layer = nc_axx__input_of(graph, norm, 0);
        nc_axx__fold_values(graph, layer, norm);
        nc_axx__fold_tensors(graph, layer, norm);
    }
    if (status == NC_OK && folded) *folded = count;
    return status;
}

NC__COLD_END

/* -- the whole graph -- */

/* The values of a node, and of those whose values they are too, lie there from now on. */
static void nc_axx__move_values(nc_axx_graph *g, nc_axx__vertex *home, float *to) {
    uint32_t i;
    for (i = 0; i < nc_axx_graph_nodes(g); i++)
        if (nc_axx__home(g, &g->nodes[i]) == home) g->nodes[i].y = to;
}

/* Without `training` the images are read where they are. */
static nc_status nc_axx__graph_run(nc_axx_graph *g, const float *images, size_t count) {
    float *own, *here;
    uint32_t i;
    if (!g || !g->batch || (count && !images)) return NC_ERR_ARG;
    if (count > g->batch) return NC_ERR_LIMIT;
    for (i = 0; i < nc_axx_graph_nodes(g); i++)
        if ((nc_axx__mode_of(g, &g->nodes[i]) != NC_AXX_MODE_FLOAT && !g->nodes[i].calibrated) ||
            (nc_axx__mode_of(g, &g->nodes[i]) == NC_AXX_MODE_INTEGER && *g->nodes[i].wanted))
            return NC_ERR_ARG;
    g->status = NC_OK;
    g->count = 0;
    own = g->nodes[0].y;
    memcpy(&here, &images, sizeof here); /* no node writes to its input */
    if (!g->training)
        nc_axx__move_values(g, &g->nodes[0], here);
    else if (count)
        memcpy(own, images, count * g->nodes[0].count * sizeof *images);
    for (i = 1; i < nc_axx_graph_nodes(g) && count && g->status == NC_OK; i++)
        nc_axx__node_kinds[g->nodes[i].is.kind].run(g, &g->nodes[i], count);
    if (!g->training) nc_axx__move_values(g, &g->nodes[0], own);
    return g->status;
}

/* Whether the output can be made where it is wanted: nobody needs it later, it is not the images,
 * and it does not lie in them. */
static int nc_axx__goes_straight(const nc_axx_graph *g, const float *images, size_t count,
                                 const float *output) {
    const nc_axx__vertex *last = &stbds_arrlast(g->nodes);
    const uintptr_t in = (uintptr_t)images, out = (uintptr_t)output;
    return !g->training && nc_axx__home(g, &stbds_arrlast(g->nodes)) != &g->nodes[0] &&
           (out >= in + count * g->nodes[0].count * sizeof *images ||
            in >= out + count * last->count * sizeof *output);
}

NC_API nc_status nc_axx_graph_forward(nc_axx_graph *graph, const float *images, size_t count,
                                      float *output) {
    nc_axx__vertex *last;
    float *own;
    nc_status status;
    int straight;
    if (count && !output) return NC_ERR_ARG;
    if (!graph || !graph->batch) return NC_ERR_ARG;
    last = &stbds_arrlast(graph->nodes);
    own = last->y;
    straight = count && nc_axx__goes_straight(graph, images, count, output);
    if (straight) nc_axx__move_values(graph, nc_axx__home(graph, last), output);
    status = nc_axx__graph_run(graph, images, count);
    if (straight) nc_axx__move_values(graph, nc_axx__home(graph, last), own);
    if (status != NC_OK || !count) return status;
    if (nc_axx__home(graph, last) == &graph->nodes[0] && !graph->training)
        memmove(output, images, count * last->count * sizeof *output);
    else if (!straight)
        memcpy(output, last->y, count * last->count * sizeof *output);
    graph->count = count;
    return NC_OK;
}

NC_API nc_status nc_axx_graph_backward(nc_axx_graph *graph, const float *doutput, float *dimages) {
    size_t i, n;
    if (!graph || !graph->count || !graph->training || !doutput) return NC_ERR_ARG;
    n = graph->count;
    graph->status = NC_OK;
    memset(graph->gradients, 0, graph->parameters * sizeof *graph->gradients);
    for (i = 0; i < stbds_arrlenu(graph->nodes); i++)
        memset(graph->nodes[i].dy, 0, n * graph->nodes[i].count * sizeof *doutput);
    memcpy(stbds_arrlast(graph->nodes).dy, doutput,
           n * stbds_arrlast(graph->nodes).count * sizeof *doutput);
    for (i = stbds_arrlenu(graph->nodes); i-- > 1 && graph->status == NC_OK;)
        nc_axx__node_kinds[graph->nodes[i].is.kind].back(graph, &graph->nodes[i], n);
    if (dimages) memcpy(dimages, graph->nodes[0].dy, n * graph->nodes[0].count * sizeof *dimages);
    return graph->status;
}

NC_API nc_status nc_axx_graph_calibrate(nc_axx_graph *graph, const float *images, size_t count,
                                        nc_axx_calibration method, double percent) {
    nc_status status = NC_OK;
    size_t nodes, i, k;
    if (!graph || !graph->batch || !images || !count ||
        (unsigned)method >= NC_AXX_CALIBRATION_COUNT || !(percent >= 0 && percent <= 100))
        return NC_ERR_ARG;
    nodes = stbds_arrlenu(graph->nodes);
    graph->seen = (nc_axx_calibrator *)nc__calloc(NULL, 2 * nodes * sizeof *graph->seen);
    if (!graph->seen) return NC_ERR_MEMORY;
    for (i = 0; i < count && status == NC_OK; i += graph->batch)
        status = nc_axx__graph_run(graph, images + i * graph->nodes[0].count,
                                   count - i < graph->batch ? count - i : graph->batch);
    for (i = 0; i < nodes && status == NC_OK; i++) {
        nc_axx__vertex *v = &graph->nodes[i];
        if (!v->macs) continue;
        for (k = 0; k < (v->is.kind == NC_AXX_NODE_MATMUL ? 2 : 1); k++)
            v->amax[k] =
                nc_axx_calibrator_amax(&graph->seen[2 * i + k], method, percent, v->set.bits);
        v->calibrated = 1;
    }
    nc__free(NULL, graph->seen, 0);
    graph->seen = NULL;
    return status;
}

/* -- training of a graph -- */

NC__COLD_BEGIN

NC_API nc_status nc_axx_graph_init(nc_axx_graph *graph, uint64_t seed) {
    size_t i, k;
    if (!graph || !graph->batch) return NC_ERR_ARG;
    for (i = 0; i < stbds_arrlenu(graph->tensors); i++) {
        const nc_axx__tensor *t = &graph->tensors[i];
        for (k = 0; k < t->count; k++)
            t->values[k] = t->deviation > 0 ? t->deviation * nc_axx__normal(seed, i, k) : t->start;
    }
    return NC_OK;
}

NC_API nc_status nc_axx_graph_set_statistics(nc_axx_graph *graph, int by_batch) {
    if (!graph || !graph->batch || !graph->training) return NC_ERR_ARG;
    graph->by_batch = by_batch != 0;
    return NC_OK;
}

/* What a training or evaluation of a graph holds. */
typedef struct nc_axx__graph_training {
    nc_axx__run run;
    float *logits, *losses, *first, *second; /* the last two: moments */
    uint32_t classes;
} nc_axx__graph_training;

static void nc_axx__graph_training_free(nc_axx__graph_training *c) {
    nc_axx__run_close(&c->run);
    nc__free(NULL, c->logits, 0);
    nc__free(NULL, c->first, 0);
}

static nc_status nc_axx__graph_training_open(const nc_axx_graph *g, const nc_axx_images *images,
                                             nc_axx__graph_training *c) {
    const nc_axx__vertex *last;
    size_t i;
    memset(c, 0, sizeof *c);
    if (!g || !g->batch || !images || !images->pixels || !images->labels || !images->count)
        return NC_ERR_ARG;
    last = &stbds_arrlast(g->nodes);
    c->classes = (uint32_t)last->count;
    if (last->rank != 1) return NC_ERR_ARG;
    for (i = 0; i < images->count; i++)
        if (images->labels[i] >= c->classes) return NC_ERR_ARG;
    c->logits = (float *)nc__alloc(NULL, nc__mul_size(g->batch, (last->count + 1) * sizeof(float)));
    if (!c->logits) return NC_ERR_MEMORY;
    c->losses = c->logits + g->batch * last->count;
    return NC_OK;
}

NC_API nc_status nc_axx_graph_evaluate(nc_axx_graph *graph, const nc_axx_images *images,
                                       nc_axx_score *score) {
    nc_axx__graph_training c;
    nc_status status = nc_axx__graph_training_open(graph, images, &c);
    size_t i, k;
    int by_batch;
    if (status == NC_OK && !score) status = NC_ERR_ARG;
    if (status != NC_OK || !graph) {
        nc_axx__graph_training_free(&c);
        return status;
    }
    score->top1 = score->top5 = score->loss = 0;
    if (score->confusion) memset(score->confusion, 0, sizeof(uint32_t) * c.classes * c.classes);
    by_batch = graph->by_batch;
    graph->by_batch = 0;
    for (i = 0; status == NC_OK && i < images->count; i += graph->batch) {
        const size_t left = images->count - i, count = left < graph->batch ? left : graph->batch;
        const float *pixels = images->pixels + i * graph->nodes[0].count;
        status = nc_axx_graph_forward(graph, pixels, count, c.logits);
        for (k = 0; k < count && status == NC_OK; k++)
            nc_axx__count(score, c.logits + k * c.classes, c.classes, images->labels[i + k]);
        if (status == NC_OK)
            score->loss += (double)nc_hlx_cross_entropy(c.logits, images->labels + i, c.losses,
                                                        count, c.classes) *
                           (double)count / (double)images->count;
    }
    if (status == NC_OK) {
        score->top1 /= (double)images->count;
        score->top5 /= (double)images->count;
    }
    graph->by_batch = by_batch;
    nc_axx__graph_training_free(&c);
    return status;
}

/* A step on the images that stand from `first` on in the order. */
static nc_status nc_axx__graph_step(nc_axx_graph *g, const nc_axx_images *images,
                                    nc_axx__graph_training *t, size_t first) {
    nc_axx__run *c = &t->run;
    const nc_axx__vertex *in = &g->nodes[0];
    const int maps = in->rank == 3;
    const size_t left = images->count - first, count = left < g->batch ? left : g->batch;
    const float rate = nc_axx__rate(&c->how, c->step, c->steps, c->per_epoch);
    float loss;
    nc_status status;
    uint32_t right = 0, layers = 0, layer = 0, i;
    size_t k;
    nc_axx__run_take(c, images, first, count, maps ? in->shape[0] : 1, maps ? in->shape[1] : 1,
                     maps ? in->shape[2] : in->count);
    for (i = 0; i < nc_axx_graph_nodes(g); i++) layers += g->nodes[i].macs != 0;
    for (i = 0; i < nc_axx_graph_nodes(g); i++)
        if (g->nodes[i].macs) g->nodes[i].waits = nc_axx__run_waits(c, layer++, layers);
    status = nc_axx_graph_forward(g, c->pixels, count, t->logits);
    if (status != NC_OK) return status;
    for (k = 0; k < count; k++)
        right += !nc_axx__rank(t->logits + k * t->classes, t->classes, c->labels[k]);
    loss = nc_hlx_cross_entropy(t->logits, c->labels, t->losses, count, t->classes);
    status = nc_axx_graph_backward(g, t->logits, NULL);
    if (status != NC_OK) return status;
    nc_axx__move(g->tensors, stbds_arrlenu(g->tensors), g->values, g->gradients, t->first,
                 t->second, g->parameters, &c->how, rate, c->step);
    return nc_axx__run_done(c, loss, right, count);
}

NC_API nc_status nc_axx_graph_train(nc_axx_graph *graph, const nc_axx_images *images,
                                    const nc_axx_training *training) {
    nc_axx__graph_training t;
    nc_axx__run *c = &t.run;
    nc_status status = nc_axx__graph_training_open(graph, images, &t);
    size_t i;
    if (status == NC_OK) {
        const nc_axx__vertex *in = &graph->nodes[0];
        const int maps = in->rank == 3;
        if (!graph->training || !training || (training->flip && !maps) ||
            !nc_axx__can_train(training, maps ? in->shape[1] : 1, maps ? in->shape[2] : 1))
            status = NC_ERR_ARG;
    }
    if (status == NC_OK) {
        status = nc_axx__run_open(c, training, images->count, graph->batch, graph->nodes[0].count);
        t.first = (float *)nc__calloc(NULL, nc__mul_size(graph->parameters, 2 * sizeof(float)));
        t.second = t.first ? t.first + graph->parameters : NULL;
        if (!t.first) status = NC_ERR_MEMORY;
    }
    for (; status == NC_OK && c->epoch < c->how.epochs; c->epoch++) {
        nc_axx__shuffle(c->order, images->count, c->how.seed, c->epoch);
        for (i = 0; i < images->count && status == NC_OK; i += graph->batch)
            status = nc_axx__graph_step(graph, images, &t, i);
    }
    for (i = 0; i < nc_axx_graph_nodes(graph); i++) graph->nodes[i].waits = 0;
    nc_axx__graph_training_free(&t);
    return status;
}

/* -- safetensors -- */

/* Options of all nodes with products, unless all have the defaults. */
static void nc_axx__save_nodes(const nc_axx_graph *g, nc__head *head) {
    nc_axx_layer_info info;
    uint32_t i, set = 0;
    for (i = 0; i < nc_axx_graph_nodes(g); i++)
        if (nc_axx_graph_layer(g, i, &info) == NC_OK) set += (uint32_t)nc_axx__is_set(&info, 8);
    for (i = 0; i < nc_axx_graph_nodes(g) && set; i++)
        if (nc_axx_graph_layer(g, i, &info) == NC_OK)
            nc_axx__save_layer(head, g->nodes[i].name, &info);
}

NC_API nc_status nc_axx_graph_save(const nc_axx_graph *graph, char **data, size_t *bytes,
                                   nc_error *err) {
    nc__head head;
    size_t i, k;
    nc__clear(err);
    if (data) *data = NULL;
    if (!graph || !graph->batch || !data || !bytes)
        return nc__fail(err, NC_ERR_ARG, 0, 0, "no finished graph or no result");
    nc__head_open(&head, NULL);
    nc__head_pair(&head, "format", "pt");
    for (i = 0; i < stbds_arrlenu(graph->nodes); i++)
        if (graph->nodes[i].calibrated)
            nc_axx__save_amax(&head, graph->nodes[i].name, graph->nodes[i].amax);
    nc_axx__save_nodes(graph, &head);
    for (i = 0; i < stbds_arrlenu(graph->tensors); i++)
        nc__head_tensor(&head, graph->tensors[i].name, "F32", graph->tensors[i].shape,
                        graph->tensors[i].rank);
    (void)nc__head_close(&head);
    for (i = 0; i < stbds_arrlenu(graph->tensors); i++)
        for (k = 0; k < graph->tensors[i].count; k++) {
            uint32_t word;
            memcpy(&word, &graph->tensors[i].values[k], 4);
            nc__buffer_le(&head.b, word, 4);
        }
    return nc_axx__hand_over(&head.b, NC_OK, data, bytes, err);
}

/* What a file has said so far. */
typedef struct nc_axx__read {
    float *values, *amax;          /* as the graph's; two for every node */
    uint8_t *found, *scaled, *set; /* of the tensors; of the nodes, twice */
    nc_axx_layer_info *options;    /* of the nodes */
    int sets;                      /* there are some */
    const nc_axx_swin *swin;       /* null: no file of timm's */
} nc_axx__read;

static int nc_axx__read_swin(const nc_axx_graph *g, nc__text *t, const nc__item *item,
                             nc_axx__read *read);

/* amax.NAME and layer.NAME. Other pairs are for people. */
static void nc_axx__read_graph_pair(const nc_axx_graph *g, nc__text *t, const nc__item *pair,
                                    nc_axx__read *read) {
    const int is_amax = !strncmp(pair->name, "amax.", 5);
    nc_axx_layer_info info;
    float amax[2];
    uint32_t node;
    if (!is_amax && strncmp(pair->name, "layer.", 6) != 0) return;
    node = nc_axx_graph_find(g, pair->name + (is_amax ? 5 : 6));
    if (node != UINT32_MAX && !g->nodes[node].macs) node = UINT32_MAX;
    if (is_amax) {
        if (nc_axx__read_amax(t, pair, node == UINT32_MAX ? NULL : &read->scaled[node], amax))
            memcpy(read->amax + 2 * (size_t)node, amax, sizeof amax);
        return;
    }
    read->sets = 1;
    if (nc_axx__read_layer(t, pair, node == UINT32_MAX ? NULL : &read->set[node], &info))
        read->options[node] = info;
}

/* Whether a tensor is a norm's counter of batches. */
static int nc_axx__is_counter(const nc_axx_graph *g, const char *name) {
    static const char ending[] = ".num_batches_tracked";
    size_t i;
    name = nc_axx__bare(name);
    for (i = 0; i < stbds_arrlenu(g->nodes); i++) {
        const char *norm = nc_axx__bare(g->nodes[i].name);
        const size_t n = strlen(norm);
        if (g->nodes[i].is.kind == NC_AXX_NODE_BATCH_NORM && !strncmp(name, norm, n) &&
            !strcmp(name + n, ending))
            return 1;
    }
    return 0;
}

static void nc_axx__read_tensor(const nc_axx_graph *g, nc__text *t, const nc__item *item,
                                nc_axx__read *read) {
    const size_t i = nc_axx__tensor_called(g->tensors, item->name);
    const nc_axx__tensor *to = g->tensors + i;
    if (i < stbds_arrlenu(g->tensors))
        nc_axx__take_tensor(t, item, to, &read->found[i], read->values + (to->values - g->values));
    else if (!nc_axx__is_counter(g, item->name))
        (void)nc__text_fail(t, NC_ERR_MISMATCH, "tensor '%.90s' has no place in this graph",
                            item->name);
}

/* The whole file, checked. */
static nc_status nc_axx__read_graph(const nc_axx_graph *g, const void *data, size_t bytes,
                                    nc_axx__read *read, nc_error *err) {
    nc__safetensors file;
    nc__item_kind kind;
    nc__item item;
    size_t i;
    (void)nc__safetensors_open(&file, data, bytes, err);
    while ((kind = nc__safetensors_next(&file, &item)) != NC__ITEM_END) {
        if (kind == NC__ITEM_TENSOR && read->swin && nc_axx__read_swin(g, &file.t, &item, read))
            continue;
        if (kind == NC__ITEM_TENSOR)
            nc_axx__read_tensor(g, &file.t, &item, read);
        else
            nc_axx__read_graph_pair(g, &file.t, &item, read);
    }
    for (i = 0; i < stbds_arrlenu(g->tensors); i++)
        if (!read->found[i])
            (void)nc__text_fail(&file.t, NC_ERR_MISMATCH, "tensor '%.60s' is missing",
                                g->tensors[i].name);
    for (i = 0; i < stbds_arrlenu(g->nodes) && read->sets; i++)
        if (g->nodes[i].macs && !read->set[i])
            (void)nc__text_fail(&file.t, NC_ERR_MISMATCH, "'layer.%.60s' is missing",
                                g->nodes[i].name);
    nc__safetensors_close(&file);
    return file.t.status;
}

static void nc_axx__mask_swin(const nc_axx_graph *g, nc_axx__read *read);

static nc_status nc_axx__load_graph(nc_axx_graph *graph, const nc_axx_swin *swin, const void *data,
                                    size_t bytes, nc_error *err) {
    nc_axx__read read;
    nc_status status;
    size_t i, nodes;
    nc__clear(err);
    if (!graph || !graph->batch || !data)
        return nc__fail(err, NC_ERR_ARG, 0, 0, "no finished graph or no data");
    nodes = stbds_arrlenu(graph->nodes);
    memset(&read, 0, sizeof read);
    read.swin = swin;
    read.values = (float *)nc__calloc(NULL, graph->parameters * sizeof *read.values);
    read.amax = (float *)nc__calloc(NULL, 2 * nodes * sizeof *read.amax);
    read.found = (uint8_t *)nc__calloc(NULL, stbds_arrlenu(graph->tensors) + 2 * nodes);
    read.scaled = read.found ? read.found + stbds_arrlenu(graph->tensors) : NULL;
    read.set = read.scaled ? read.scaled + nodes : NULL;
    read.options = (nc_axx_layer_info *)nc__alloc(NULL, nodes * sizeof *read.options);
    if (swin && read.values && read.found) nc_axx__mask_swin(graph, &read);
    status = read.values && read.amax && read.found && read.options
                 ? nc_axx__read_graph(graph, data, bytes, &read, err)
                 : nc__fail(err, NC_ERR_MEMORY, 0, 0, "out of memory");
    if (status == NC_OK) {
        memcpy(graph->values, read.values, graph->parameters * sizeof *read.values);
        graph->count = 0;
    }
    for (i = 0; i < nodes && status == NC_OK; i++) {
        memcpy(graph->nodes[i].amax, read.amax + 2 * i, sizeof graph->nodes[i].amax);
        graph->nodes[i].calibrated = read.scaled[i];
        if (read.set[i])
            nc_axx__take_options(&graph->nodes[i].set, graph->nodes[i].wanted,
                                 sizeof graph->nodes[i].wanted, &read.options[i]);
    }
    nc__free(NULL, read.values, 0);
    nc__free(NULL, read.amax, 0);
    nc__free(NULL, read.found, 0);
    nc__free(NULL, read.options, 0);
    return status;
}

NC_API nc_status nc_axx_graph_load(nc_axx_graph *graph, const void *data, size_t bytes,
                                   nc_error *err) {
    return nc_axx__load_graph(graph, NULL, data, bytes, err);
}

/* -- ONNX: protobuf messages -- */

/* A message that is read field by field (protobuf.dev, "Encoding"). */
typedef struct nc_axx__proto {
    const char *at, *end;
    uint32_t field;
    int packed;     /* a text, message or list, in `bytes`; else a number, in `value` */
    uint64_t value; /* its bits */
    nc_axx__word bytes;
} nc_axx__proto;

typedef enum nc_axx__onnx_kind_of_value {
    NC_AXX__ONNX_NOTHING,
    NC_AXX__ONNX_NUMBERS,
    NC_AXX__ONNX_NODE
} nc_axx__onnx_kind_of_value;

/* A tensor of the file: numbers, or values of the graph. */
typedef struct nc_axx__onnx_value {
    nc_axx__onnx_kind_of_value is;
    uint32_t type; /* of numbers, as TensorProto.DataType */
    uint32_t rank;
    size_t shape[8], count; /* the batch's axis included */
    const char *raw;        /* numbers as the file has them, or `made` by a node of the file */
    const double *made;
    uint32_t node;  /* of the graph */
    uint32_t batch; /* the axis of images; NC_AXX__ONNX_MERGED: they are part of the first axis */
    uint32_t producer, uses; /* node of the file, UINT32_MAX: none; how many take it */
    uint32_t padding[4];     /* around it, that the window of its only user has as its own */
    uint8_t fixed, needed;   /* does not depend on the images' values; the output does on it */
} nc_axx__onnx_value;

enum { NC_AXX__ONNX_MERGED = 9, NC_AXX__ONNX_AXES = 8 };

/* Some of TensorProto.DataType. */
enum {
    NC_AXX__ONNX_FLOAT = 1,
    NC_AXX__ONNX_INT8 = 3,
    NC_AXX__ONNX_INT16 = 5,
    NC_AXX__ONNX_INT32 = 6,
    NC_AXX__ONNX_INT64 = 7,
    NC_AXX__ONNX_BOOL = 9,
    NC_AXX__ONNX_FLOAT16 = 10,
    NC_AXX__ONNX_DOUBLE = 11,
    NC_AXX__ONNX_BFLOAT16 = 16
};

/* What stands for a batch of any size in shapes: a prime that no other axis has. */
enum { NC_AXX__ONNX_ANY = 104729 };

struct nc_axx__onnx_op;

typedef struct nc_axx__onnx_node {
    nc_axx__word name, type, domain, body;
    const struct nc_axx__onnx_op *op;        /* null: unknown */
    uint32_t input, inputs, output, outputs; /* numbers of values, in `lists` */
    uint8_t fixed, needed;
} nc_axx__onnx_node;

/* A tensor of the graph that gets its numbers when the graph is finished. */
typedef struct nc_axx__onnx_fill {
    uint32_t tensor, value;
    int transposed, inverse; /* rows and columns; 1 / x */
    float factor;
} nc_axx__onnx_fill;

typedef struct nc_axx__onnx {
    nc__text t; /* the file: for errors */
    const nc_axx_onnx *from;
    nc_axx_graph *g;
    nc_axx__names names; /* of the values */
    nc_axx__onnx_value *values;
    nc_axx__onnx_node *nodes;
    uint32_t *lists;
    double *numbers; /* of the field under way */
    double **owned;  /* what nodes of the file have made */
    nc_axx__onnx_fill *fills;
    size_t room;                /* numbers that may still be made */
    nc_axx__word external;      /* name of the file of weights */
    const nc_axx__onnx_node *n; /* under way */
    uint32_t opset, input, output, output_count;
    size_t batch;
} nc_axx__onnx;

/* What is done with a node of the file. */
typedef struct nc_axx__onnx_op {
    const char *name;
    uint32_t least, most, opset; /* inputs; the first version of the operators that has it */
    const char *attributes;      /* the names it may have, a space after each */
    void (*compute)(nc_axx__onnx *o, const nc_axx__onnx_node *n); /* of numbers; null: cannot be */
    void (*emit)(nc_axx__onnx *o, const nc_axx__onnx_node *n);    /* to the graph; likewise */
} nc_axx__onnx_op;

#define NC_AXX__ONNX_TEXT(word) (int)((word).length < 60 ? (word).length : 60), (word).at

/* The first failure, with the node under way. */
#if defined(__GNUC__)
__attribute__((format(printf, 3, 4)))
#endif
static void
nc_axx__onnx_fail(nc_axx__onnx *o, nc_status status, const char *format, ...) {
    char text[120];
    va_list args;
    va_start(args, format);
    (void)vsnprintf(text, sizeof text, format, args);
    va_end(args);
    if (o->t.status != NC_OK) return;
    if (o->n)
        o->t.status =
            nc__fail(o->t.err, status, 0, 0, "%.*s '%.*s': %s", NC_AXX__ONNX_TEXT(o->n->type),
                     (int)(o->n->name.length < 80 ? o->n->name.length : 80), o->n->name.at, text);
    else
        o->t.status = nc__fail(o->t.err, status, 0, 0, "%s", text);
}

static int nc_axx__word_is(nc_axx__word word, const char *text) {
    return word.length == strlen(text) && (!word.length || !memcmp(word.at, text, word.length));
}

static nc_axx__proto nc_axx__proto_of(nc_axx__word bytes) {
    nc_axx__proto p;
    memset(&p, 0, sizeof p);
    p.at = p.end = bytes.at;
    if (bytes.length) p.end += bytes.length;
    return p;
}

static void nc_axx__proto_fail(nc_axx__onnx *o, const nc_axx__proto *p, const char *what) {
    o->t.at = p->at;
    (void)nc__text_fail(&o->t, NC_ERR_FORMAT, "%s: no ONNX file, or a damaged one", what);
}

static uint64_t nc_axx__proto_varint(nc_axx__onnx *o, nc_axx__proto *p) {
    uint64_t value = 0;
    uint32_t shift;
    for (shift = 0; shift < 64 && p->at < p->end; shift += 7) {
        const uint8_t byte = (uint8_t)*p->at++;
        value |= (uint64_t)(byte & 127) << shift;
        if (byte < 128) return value;
    }
    nc_axx__proto_fail(o, p, "a number without an end");
    return 0;
}

/* The next field, 0 after the last and after a failure. */
static int nc_axx__proto_next(nc_axx__onnx *o, nc_axx__proto *p) {
    uint64_t key, size;
    if (o->t.status != NC_OK || p->at == p->end) return 0;
    key = nc_axx__proto_varint(o, p);
    p->field = key >> 3 < 1000 ? (uint32_t)(key >> 3) : 1000;
    p->packed = (key & 7) == 2;
    p->value = 0;
    memset(&p->bytes, 0, sizeof p->bytes);
    if ((key & 7) == 0) {
        p->value = nc_axx__proto_varint(o, p);
        return o->t.status == NC_OK;
    }
    size = (key & 7) == 1 ? 8 : (key & 7) == 5 ? 4 : 0;
    if (p->packed)
        size = nc_axx__proto_varint(o, p);
    else if (!size)
        nc_axx__proto_fail(o, p, "a field of an unknown wire type");
    if (size > (size_t)(p->end - p->at)) nc_axx__proto_fail(o, p, "a field without an end");
    if (o->t.status != NC_OK) return 0;
    if (p->packed) {
        p->bytes.at = p->at;
        p->bytes.length = (size_t)size;
    } else {
        p->value = nc__get_le((const uint8_t *)p->at, (size_t)size);
    }
    p->at += size;
    return 1;
}

static double nc_axx__bits_to_real(uint64_t bits, uint32_t width) {
    const uint32_t word = (uint32_t)bits;
    float single;
    double real;
    memcpy(&single, &word, sizeof single);
    memcpy(&real, &bits, sizeof real);
    return width == 4 ? (double)single : real;
}

/* Numbers of a repeated field, packed or one by one, behind those in o->numbers: whole ones (width
 * 0) or floating ones of so many bytes. */
static void nc_axx__proto_numbers(nc_axx__onnx *o, const nc_axx__proto *p, uint32_t width) {
    nc_axx__proto list = nc_axx__proto_of(p->bytes);
    if (!p->packed)
        stbds_arrput(o->numbers,
                     width ? nc_axx__bits_to_real(p->value, width) : (double)(int64_t)p->value);
    if (width && p->bytes.length % width)
        nc_axx__proto_fail(o, p, "a list with a piece of a number");
    while (list.at < list.end && o->t.status == NC_OK) {
        if (width) {
            stbds_arrput(o->numbers,
                         nc_axx__bits_to_real(nc__get_le((const uint8_t *)list.at, width), width));
            list.at += width;
        } else {
            stbds_arrput(o->numbers, (double)(int64_t)nc_axx__proto_varint(o, &list));
        }
    }
}

/* -- ONNX: numbers -- */

/* Bytes of a number, 0 for types that are none: TensorProto.DataType of onnx.proto. */
static uint32_t nc_axx__onnx_width(uint32_t type) {
    static const uint8_t width[] = {0, 4, 1, 1, 2, 2, 4, 8, 0, 1, 2, 8, 4, 8, 0, 0, 2};
    return type < sizeof width ? width[type] : 0;
}

static int nc_axx__onnx_is_real(uint32_t type) {
    return type == NC_AXX__ONNX_FLOAT || type == NC_AXX__ONNX_FLOAT16 ||
           type == NC_AXX__ONNX_DOUBLE || type == NC_AXX__ONNX_BFLOAT16;
}

static double nc_axx__onnx_number(const nc_axx__onnx_value *v, size_t i) {
    const uint32_t width = nc_axx__onnx_width(v->type);
    uint64_t bits;
    if (v->made) return v->made[i];
    bits = nc__get_le((const uint8_t *)v->raw + i * width, width);
    switch (v->type) {
    case NC_AXX__ONNX_FLOAT: return nc_axx__bits_to_real(bits, 4);
    case NC_AXX__ONNX_DOUBLE: return nc_axx__bits_to_real(bits, 8);
    case NC_AXX__ONNX_FLOAT16: return (double)nc__half((uint32_t)bits);
    case NC_AXX__ONNX_BFLOAT16: return nc_axx__bits_to_real(bits << 16, 4);
    case NC_AXX__ONNX_INT8:
    case NC_AXX__ONNX_INT16:
    case NC_AXX__ONNX_INT32:
    case NC_AXX__ONNX_INT64: return (double)nc_axx__extend(bits, 8 * width, 1);
    default: return (double)bits;
    }
}

/* Room for numbers that a node of the file makes; null, and a failure, where it is too many. */
static double *nc_axx__onnx_room(nc_axx__onnx *o, size_t count) {
    double *made;
    if (o->t.status != NC_OK) return NULL;
    if (count > o->room) {
        nc_axx__onnx_fail(o, NC_ERR_LIMIT, "it makes %lu numbers, more than such a file needs",
                          (unsigned long)count);
        return NULL;
    }
    made = (double *)nc__calloc(NULL, nc__mul_size(count + 1, sizeof *made));
    if (!made)
        nc_axx__onnx_fail(o, NC_ERR_MEMORY, "out of memory");
    else
        stbds_arrput(o->owned, made);
    o->room -= count;
    return made;
}

/* Makes a value numbers of this shape, which the caller fills in. */
static double *nc_axx__onnx_make(nc_axx__onnx *o, nc_axx__onnx_value *v, uint32_t type,
                                 uint32_t rank, const size_t *shape) {
    double *made;
    uint32_t i;
    v->is = NC_AXX__ONNX_NUMBERS;
    v->type = type;
    v->rank = rank;
    for (v->count = 1, i = 0; i < rank; i++) {
        v->shape[i] = shape[i];
        v->count = nc__mul_size(v->count, shape[i]);
    }
    v->raw = NULL;
    v->made = made = nc_axx__onnx_room(o, v->count);
    return made;
}

/* A part of the file of weights: "location", "offset", "length". */
static void nc_axx__onnx_external(nc_axx__onnx *o, nc_axx__onnx_value *v, nc_axx__word location,
                                  double offset, double length, nc_axx__word name) {
    const size_t bytes = nc__mul_size(v->count, nc_axx__onnx_width(v->type));
    if (!o->external.length) o->external = location;
    if (!location.length)
        nc_axx__onnx_fail(o, NC_ERR_FORMAT, "tensor '%.*s' is in another file, which has no name",
                          NC_AXX__ONNX_TEXT(name));
    else if (!o->from->external)
        nc_axx__onnx_fail(o, NC_ERR_IO,
                          "the weights are in '%.*s' beside this file: pass it as "
                          "external",
                          NC_AXX__ONNX_TEXT(location));
    else if (!nc_axx__same(o->external, location))
        nc_axx__onnx_fail(o, NC_ERR_UNSUPPORTED, "weights in two files, '%.*s' and another",
                          NC_AXX__ONNX_TEXT(o->external));
    else if (!(offset >= 0 && offset <= (double)o->from->external_bytes) ||
             bytes > o->from->external_bytes - (size_t)offset ||
             (length >= 0 && length != (double)bytes))
        nc_axx__onnx_fail(o, NC_ERR_FORMAT, "tensor '%.*s': its %lu bytes are not in '%.*s'",
                          NC_AXX__ONNX_TEXT(name), (unsigned long)bytes,
                          NC_AXX__ONNX_TEXT(location));
    else
        v->raw = (const char *)o->from->external + (size_t)offset;
}

/* A pair "offset": "1234" of external data. */
static double nc_axx__onnx_decimal(nc_axx__word text) {
    double value = 0;
    size_t i;
    for (i = 0; i < text.length; i++) {
        if (text.at[i] < '0' || text.at[i] > '9') return 1e300;
        value = value * 10 + (text.at[i] - '0');
    }
    return value;
}

static void nc_axx__onnx_entry(nc_axx__onnx *o, nc_axx__word message, nc_axx__word *location,
                               double *offset, double *length) {
    nc_axx__proto p = nc_axx__proto_of(message);
    nc_axx__word key = {NULL, 0}, value = {NULL, 0};
    while (nc_axx__proto_next(o, &p)) {
        if (p.field == 1) key = p.bytes;
        if (p.field == 2) value = p.bytes;
    }
    if (nc_axx__word_is(key, "location")) *location = value;
    if (nc_axx__word_is(key, "offset")) *offset = nc_axx__onnx_decimal(value);
    if (nc_axx__word_is(key, "length")) *length = nc_axx__onnx_decimal(value);
}

/* Numbers of a list, where the bytes are not there as they are. */
static void nc_axx__onnx_listed(nc_axx__onnx *o, nc_axx__onnx_value *v, nc_axx__word name) {
    const size_t count = stbds_arrlenu(o->numbers);
    const int halves = /* as the numbers of their bits */
        v->type == NC_AXX__ONNX_FLOAT16 || v->type == NC_AXX__ONNX_BFLOAT16;
    double *to;
    size_t i;
    if (count != v->count) {
        nc_axx__onnx_fail(o, NC_ERR_FORMAT,
                          "tensor '%.*s' has %lu numbers, not the %lu of its shape",
                          NC_AXX__ONNX_TEXT(name), (unsigned long)count, (unsigned long)v->count);
        return;
    }
    v->made = to = nc_axx__onnx_room(o, count);
    for (i = 0; to && i < count; i++) {
        const double bits = halves && fabs(o->numbers[i]) < 2147483648.0 ? o->numbers[i] : 0;
        const uint32_t word = (uint32_t)(int64_t)bits & 65535;
        to[i] = !halves                           ? o->numbers[i]
                : v->type == NC_AXX__ONNX_FLOAT16 ? (double)nc__half(word)
                                                  : nc_axx__bits_to_real((uint64_t)word << 16, 4);
    }
}

/* TensorProto. */
static nc_axx__word nc_axx__onnx_tensor(nc_axx__onnx *o, nc_axx__word message,
                                        nc_axx__onnx_value *v) {
    nc_axx__proto p = nc_axx__proto_of(message), list;
    nc_axx__word name = {NULL, 0}, location = {NULL, 0}, raw = {NULL, 0};
    double offset = 0, length = -1;
    int is_external = 0, is_raw = 0;
    size_t i, axes = 0;
    memset(&list, 0, sizeof list);
    stbds_arrsetlen(o->numbers, 0);
    while (nc_axx__proto_next(o, &p)) /* the shape first, which may stand anywhere */
        if (p.field == 1)
            nc_axx__proto_numbers(o, &p, 0);
        else if (p.field == 2)
            v->type = (uint32_t)p.value;
        else if (p.field == 8)
            name = p.bytes;
    v->is = NC_AXX__ONNX_NUMBERS;
    axes = stbds_arrlenu(o->numbers);
    for (v->count = 1, i = 0; i < axes && i < NC_AXX__ONNX_AXES; i++) {
        const double n = o->numbers[i];
        v->shape[i] = n >= 0 && n < 2147483648.0 ? (size_t)n : SIZE_MAX;
        v->count = nc__mul_size(v->count, v->shape[i]);
    }
    v->rank = (uint32_t)i;
    if (axes > NC_AXX__ONNX_AXES || v->count >> 20 >= 1u << 20 || !nc_axx__onnx_width(v->type))
        nc_axx__onnx_fail(o, NC_ERR_UNSUPPORTED, "tensor '%.*s': %lu axes or data type %u",
                          NC_AXX__ONNX_TEXT(name), (unsigned long)axes, (unsigned)v->type);
    stbds_arrsetlen(o->numbers, 0);
    for (p = nc_axx__proto_of(message); nc_axx__proto_next(o, &p);)
        if (p.field == 4 || p.field == 10)
            nc_axx__proto_numbers(o, &p, p.field == 4 ? 4 : 8);
        else if (p.field == 5 || p.field == 7 || p.field == 11)
            nc_axx__proto_numbers(o, &p, 0);
        else if (p.field == 9)
            raw = p.bytes, is_raw = 1;
        else if (p.field == 13)
            nc_axx__onnx_entry(o, p.bytes, &location, &offset, &length);
        else if (p.field == 14)
            is_external = p.value == 1;
    if (o->t.status != NC_OK) return name;
    if (is_external)
        nc_axx__onnx_external(o, v, location, offset, length, name);
    else if (!is_raw)
        nc_axx__onnx_listed(o, v, name);
    else if (raw.length != nc__mul_size(v->count, nc_axx__onnx_width(v->type)))
        nc_axx__onnx_fail(o, NC_ERR_FORMAT, "tensor '%.*s' has %lu bytes, not those of its shape",
                          NC_AXX__ONNX_TEXT(name), (unsigned long)raw.length);
    else
        v->raw = raw.at;
    return name;
}

/* -- ONNX: nodes of the file -- */

/* The number of a value by its name, a new one where needed; UINT32_MAX for no name. */
static uint32_t nc_axx__onnx_value_of(nc_axx__onnx *o, nc_axx__word name) {
    uint32_t number;
    if (!name.length) return UINT32_MAX;
    number = nc_axx__number_of(&o->names, name, 0);
    if (number == UINT32_MAX) {
        nc_axx__onnx_value v;
        memset(&v, 0, sizeof v);
        v.producer = UINT32_MAX;
        number = (uint32_t)stbds_arrlenu(o->values);
        nc_axx__add_name(&o->names, name, 0, &o->t);
        stbds_arrput(o->values, v);
    }
    return number;
}

/* The value of an input, null where it is left out. */
static nc_axx__onnx_value *nc_axx__onnx_in(const nc_axx__onnx *o, const nc_axx__onnx_node *n,
                                           uint32_t i) {
    const uint32_t number = i < n->inputs ? o->lists[n->input + i] : UINT32_MAX;
    return number == UINT32_MAX ? NULL : &o->values[number];
}

static nc_axx__onnx_value *nc_axx__onnx_out(const nc_axx__onnx *o, const nc_axx__onnx_node *n) {
    return &o->values[o->lists[n->output]];
}

/* AttributeProto. */
typedef struct nc_axx__onnx_attribute {
    nc_axx__word name, text, tensor;
    double number;
    double list[16];
    uint32_t count;
    uint32_t has; /* bits of the fields that were there */
} nc_axx__onnx_attribute;

static void nc_axx__onnx_read_attribute(nc_axx__onnx *o, nc_axx__word message,
                                        nc_axx__onnx_attribute *a) {
    nc_axx__proto p = nc_axx__proto_of(message);
    size_t i;
    memset(a, 0, sizeof *a);
    stbds_arrsetlen(o->numbers, 0);
    while (nc_axx__proto_next(o, &p)) {
        if (p.field < 32) a->has |= 1u << p.field;
        switch (p.field) {
        case 1: a->name = p.bytes; break;
        case 2: a->number = nc_axx__bits_to_real(p.value, 4); break;
        case 3: a->number = (double)(int64_t)p.value; break;
        case 4: a->text = p.bytes; break;
        case 5: a->tensor = p.bytes; break;
        case 7: nc_axx__proto_numbers(o, &p, 4); break;
        case 8: nc_axx__proto_numbers(o, &p, 0); break;
        default: break;
        }
    }
    for (i = 0; i < stbds_arrlenu(o->numbers) && i < 16; i++) a->list[i] = o->numbers[i];
    a->count = (uint32_t)i;
    if (i < stbds_arrlenu(o->numbers))
        nc_axx__onnx_fail(o, NC_ERR_LIMIT, "attribute '%.*s' of more than 16 numbers",
                          NC_AXX__ONNX_TEXT(a->name));
}

/* An attribute of this name and kind (its field in the message); 0: it is not there. */
static int nc_axx__onnx_attribute_of(nc_axx__onnx *o, const nc_axx__onnx_node *n, const char *name,
                                     uint32_t field, nc_axx__onnx_attribute *a) {
    nc_axx__proto p = nc_axx__proto_of(n->body);
    while (nc_axx__proto_next(o, &p)) {
        if (p.field != 5) continue;
        nc_axx__onnx_read_attribute(o, p.bytes, a);
        if (!nc_axx__word_is(a->name, name)) continue;
        if (a->has >> field & 1 || field > 6) return 1; /* a list may be empty */
        nc_axx__onnx_fail(o, NC_ERR_FORMAT, "attribute '%s' is of another kind", name);
    }
    return 0;
}

static double nc_axx__onnx_integer(nc_axx__onnx *o, const nc_axx__onnx_node *n, const char *name,
                                   double absent) {
    nc_axx__onnx_attribute a;
    return nc_axx__onnx_attribute_of(o, n, name, 3, &a) ? a.number : absent;
}

static double nc_axx__onnx_real(nc_axx__onnx *o, const nc_axx__onnx_node *n, const char *name,
                                double absent) {
    nc_axx__onnx_attribute a;
    return nc_axx__onnx_attribute_of(o, n, name, 2, &a) ? a.number : absent;
}

/* At most 16 numbers; UINT32_MAX: there is no such attribute. */
static uint32_t nc_axx__onnx_list(nc_axx__onnx *o, const nc_axx__onnx_node *n, const char *name,
                                  double *list) {
    nc_axx__onnx_attribute a;
    if (!nc_axx__onnx_attribute_of(o, n, name, 8, &a)) return UINT32_MAX;
    memcpy(list, a.list, sizeof a.list);
    return a.count;
}

/* The numbers of input i, or of the attribute that older versions have in its place. */
static uint32_t nc_axx__onnx_numbers(nc_axx__onnx *o, const nc_axx__onnx_node *n, uint32_t i,
                                     const char *name, double *list) {
    const nc_axx__onnx_value *v = nc_axx__onnx_in(o, n, i);
    size_t k;
    if (!v) return nc_axx__onnx_list(o, n, name, list);
    if (v->is != NC_AXX__ONNX_NUMBERS || v->count > 16) {
        nc_axx__onnx_fail(o, NC_ERR_UNSUPPORTED, "%s that %s", name,
                          v->is == NC_AXX__ONNX_NUMBERS ? "are more than 16"
                                                        : "depend on the images");
        return 0;
    }
    for (k = 0; k < v->count; k++) list[k] = nc_axx__onnx_number(v, k);
    return (uint32_t)v->count;
}

/* An axis counted from the first, or from behind the last where negative; a failure beyond. */
static uint32_t nc_axx__onnx_axis(nc_axx__onnx *o, double axis, uint32_t rank) {
    const double at = axis < 0 ? axis + rank : axis;
    if (at >= 0 && at < rank && at == (double)(uint32_t)at) return (uint32_t)at;
    nc_axx__onnx_fail(o, NC_ERR_FORMAT, "axis %ld of %u",
                      axis < 1e6 && axis > -1e6 ? (long)axis : -1L, (unsigned)rank);
    return 0;
}

/* The only number of a value, when it has one. */
static int nc_axx__onnx_single(const nc_axx__onnx_value *v, double *number) {
    if (!v || v->is != NC_AXX__ONNX_NUMBERS || v->count != 1) return 0;
    *number = nc_axx__onnx_number(v, 0);
    return 1;
}

/* -- ONNX: what can be computed without images: mostly shapes -- */

/* The same numbers in another shape. */
static void nc_axx__onnx_same_numbers(nc_axx__onnx *o, const nc_axx__onnx_node *n, uint32_t rank,
                                      const size_t *shape) {
    const nc_axx__onnx_value *from = nc_axx__onnx_in(o, n, 0);
    nc_axx__onnx_value *to = nc_axx__onnx_out(o, n);
    size_t kept[NC_AXX__ONNX_AXES], count = 1;
    uint32_t i;
    for (i = 0; i < rank; i++) count = nc__mul_size(count, kept[i] = shape[i]);
    if (count != from->count) {
        nc_axx__onnx_fail(o, NC_ERR_FORMAT, "%lu numbers to a shape of %lu",
                          (unsigned long)from->count, (unsigned long)count);
        return;
    }
    to->is = NC_AXX__ONNX_NUMBERS;
    to->type = from->type;
    to->raw = from->raw;
    to->made = from->made;
    to->count = count;
    to->rank = rank;
    for (i = 0; i < rank; i++) to->shape[i] = kept[i];
}

static void nc_axx__onnx_compute_same(nc_axx__onnx *o, const nc_axx__onnx_node *n) {
    const nc_axx__onnx_value *from = nc_axx__onnx_in(o, n, 0);
    nc_axx__onnx_same_numbers(o, n, from->rank, from->shape);
}

static void nc_axx__onnx_compute_cast(nc_axx__onnx *o, const nc_axx__onnx_node *n) {
    const nc_axx__onnx_value *from = nc_axx__onnx_in(o, n, 0);
    const double wanted = nc_axx__onnx_integer(o, n, "to", 0);
    const uint32_t type = wanted > 0 && wanted < 1000 ? (uint32_t)wanted : 0;
    double *to;
    size_t i;
    if (!nc_axx__onnx_width(type)) {
        nc_axx__onnx_fail(o, NC_ERR_UNSUPPORTED, "to data type %u", (unsigned)type);
        return;
    }
    to = nc_axx__onnx_make(o, nc_axx__onnx_out(o, n), type, from->rank, from->shape);
    for (i = 0; to && i < from->count; i++) {
        to[i] = nc_axx__onnx_number(from, i);
        if (type == NC_AXX__ONNX_BOOL) to[i] = to[i] != 0;
        if (!nc_axx__onnx_is_real(type)) to[i] = trunc(to[i]);
    }
}

static void nc_axx__onnx_compute_constant(nc_axx__onnx *o, const nc_axx__onnx_node *n) {
    nc_axx__onnx_value *to = nc_axx__onnx_out(o, n);
    nc_axx__onnx_attribute a;
    size_t count, i;
    double *made;
    if (nc_axx__onnx_attribute_of(o, n, "value", 5, &a)) {
        (void)nc_axx__onnx_tensor(o, a.tensor, to);
        return;
    }
    if (nc_axx__onnx_attribute_of(o, n, "value_float", 2, &a) ||
        nc_axx__onnx_attribute_of(o, n, "value_int", 3, &a)) {
        made = nc_axx__onnx_make(o, to, a.has >> 2 & 1 ? NC_AXX__ONNX_FLOAT : NC_AXX__ONNX_INT64, 0,
                                 NULL);
        if (made) *made = a.number;
    } else if (nc_axx__onnx_attribute_of(o, n, "value_floats", 7, &a) ||
               nc_axx__onnx_attribute_of(o, n, "value_ints", 8, &a)) {
        count = a.count;
        made = nc_axx__onnx_make(o, to, a.has >> 7 & 1 ? NC_AXX__ONNX_FLOAT : NC_AXX__ONNX_INT64, 1,
                                 &count);
        for (i = 0; made && i < count; i++) made[i] = a.list[i];
    } else {
        nc_axx__onnx_fail(o, NC_ERR_UNSUPPORTED, "a constant without numbers");
    }
}

static void nc_axx__onnx_compute_shape(nc_axx__onnx *o, const nc_axx__onnx_node *n) {
    const nc_axx__onnx_value *of = nc_axx__onnx_in(o, n, 0);
    double start = nc_axx__onnx_integer(o, n, "start", 0);
    double end = nc_axx__onnx_integer(o, n, "end", of->rank), *to;
    size_t count, i;
    if (start < 0) start += of->rank;
    if (end < 0) end += of->rank;
    start = start < 0 ? 0 : start > of->rank ? of->rank : start;
    end = end < start ? start : end > of->rank ? of->rank : end;
    count = (size_t)(end - start);
    to = nc_axx__onnx_make(o, nc_axx__onnx_out(o, n), NC_AXX__ONNX_INT64, 1, &count);
    for (i = 0; to && i < count; i++) to[i] = (double)of->shape[(size_t)start + i];
}

/* The shape that two give together, by right-aligned axes that are alike or 1. */
static uint32_t nc_axx__onnx_together(nc_axx__onnx *o, const nc_axx__onnx_value *a,
                                      const nc_axx__onnx_value *b, size_t *shape) {
    const uint32_t rank = a->rank > b->rank ? a->rank : b->rank;
    uint32_t i;
    for (i = 0; i < rank; i++) {
        const size_t m = i < a->rank ? a->shape[a->rank - 1 - i] : 1;
        const size_t k = i < b->rank ? b->shape[b->rank - 1 - i] : 1;
        if (m != k && m != 1 && k != 1)
            nc_axx__onnx_fail(o, NC_ERR_FORMAT, "axes of %lu and %lu places", (unsigned long)m,
                              (unsigned long)k);
        shape[rank - 1 - i] = m == 1 ? k : m;
    }
    return rank;
}

/* Which of a value's numbers stands at place i of a shape that it is repeated to. */
static size_t nc_axx__onnx_place(const nc_axx__onnx_value *v, uint32_t rank, const size_t *shape,
                                 size_t i) {
    size_t at = 0, size = 1;
    uint32_t k;
    for (k = 0; k < rank; k++) {
        const size_t n = shape[rank - 1 - k], m = k < v->rank ? v->shape[v->rank - 1 - k] : 1;
        if (m > 1) at += i % n * size;
        size *= m;
        i /= n;
    }
    return at;
}

static double nc_axx__onnx_pair(nc_axx__word op, double a, double b, int real) {
    const double divided = a / (b == 0 && !real ? 1 : b);
    if (nc_axx__word_is(op, "Mod")) return b == 0 ? 0 : a - b * floor(divided);
    if (nc_axx__word_is(op, "Add")) return a + b;
    if (nc_axx__word_is(op, "Sub")) return a - b;
    if (nc_axx__word_is(op, "Mul")) return a * b;
    if (nc_axx__word_is(op, "Equal")) return a == b;
    if (nc_axx__word_is(op, "Pow")) return b == 2 ? a * a : sqrt(a);
    return real ? divided : trunc(divided);
}

static void nc_axx__onnx_compute_pair(nc_axx__onnx *o, const nc_axx__onnx_node *n) {
    const nc_axx__onnx_value *a = nc_axx__onnx_in(o, n, 0), *b = nc_axx__onnx_in(o, n, 1);
    size_t shape[NC_AXX__ONNX_AXES], i;
    const uint32_t rank = nc_axx__onnx_together(o, a, b, shape);
    nc_axx__onnx_value *v = nc_axx__onnx_out(o, n);
    const int real = nc_axx__onnx_is_real(a->type);
    double *to, power;
    if (nc_axx__word_is(n->type, "Pow") &&
        !(nc_axx__onnx_single(b, &power) && (power == 2 || power == 0.5)))
        nc_axx__onnx_fail(o, NC_ERR_UNSUPPORTED, "a power other than 2 and 1/2");
    to = nc_axx__onnx_make(
        o, v, nc_axx__word_is(n->type, "Equal") ? (uint32_t)NC_AXX__ONNX_BOOL : a->type, rank,
        shape);
    for (i = 0; to && i < v->count; i++)
        to[i] = nc_axx__onnx_pair(
            n->type, nc_axx__onnx_number(a, nc_axx__onnx_place(a, rank, shape, i)),
            nc_axx__onnx_number(b, nc_axx__onnx_place(b, rank, shape, i)), real);
}

static void nc_axx__onnx_compute_where(nc_axx__onnx *o, const nc_axx__onnx_node *n) {
    const nc_axx__onnx_value *c = nc_axx__onnx_in(o, n, 0), *a = nc_axx__onnx_in(o, n, 1),
                             *b = nc_axx__onnx_in(o, n, 2);
    double *to;
    size_t i;
    if (a->count != b->count || a->count != c->count) {
        nc_axx__onnx_fail(o, NC_ERR_UNSUPPORTED, "shapes that differ");
        return;
    }
    to = nc_axx__onnx_make(o, nc_axx__onnx_out(o, n), a->type, a->rank, a->shape);
    for (i = 0; to && i < a->count; i++)
        to[i] = nc_axx__onnx_number(nc_axx__onnx_number(c, i) != 0 ? a : b, i);
}

/* Sqrt, Ceil. */
static void nc_axx__onnx_compute_one(nc_axx__onnx *o, const nc_axx__onnx_node *n) {
    const nc_axx__onnx_value *a = nc_axx__onnx_in(o, n, 0);
    const int root = nc_axx__word_is(n->type, "Sqrt");
    double *to = nc_axx__onnx_make(o, nc_axx__onnx_out(o, n), a->type, a->rank, a->shape);
    size_t i;
    for (i = 0; to && i < a->count; i++) {
        const double one = nc_axx__onnx_number(a, i);
        to[i] = root ? sqrt(one) : ceil(one);
    }
}

/* Those of Clip: attributes, or inputs of one number. */
static void nc_axx__onnx_bounds(nc_axx__onnx *o, const nc_axx__onnx_node *n, double *least,
                                double *most) {
    uint32_t i;
    *least = nc_axx__onnx_real(o, n, "min", -HUGE_VAL);
    *most = nc_axx__onnx_real(o, n, "max", HUGE_VAL);
    for (i = 1; i < 3; i++)
        if (nc_axx__onnx_in(o, n, i) &&
            !nc_axx__onnx_single(nc_axx__onnx_in(o, n, i), i == 1 ? least : most))
            nc_axx__onnx_fail(o, NC_ERR_UNSUPPORTED, "a bound that is not one number");
}

static void nc_axx__onnx_compute_clip(nc_axx__onnx *o, const nc_axx__onnx_node *n) {
    const nc_axx__onnx_value *a = nc_axx__onnx_in(o, n, 0);
    double *to = nc_axx__onnx_make(o, nc_axx__onnx_out(o, n), a->type, a->rank, a->shape);
    double least, most;
    size_t i;
    nc_axx__onnx_bounds(o, n, &least, &most);
    for (i = 0; to && i < a->count; i++) {
        const double one = nc_axx__onnx_number(a, i);
        to[i] = one > most ? most : one < least ? least : one;
    }
}

/* Elements of an axis; SIZE_MAX: no number of them, or more than there can be. */
static size_t nc_axx__onnx_size(double one) {
    return one >= 0 && one < 1e12 && one < (double)(SIZE_MAX / 2) ? (size_t)one : SIZE_MAX;
}

/* A shape of an input's numbers. */
static uint32_t nc_axx__onnx_shape_from(nc_axx__onnx *o, const nc_axx__onnx_value *v,
                                        size_t *shape) {
    uint32_t i;
    if (v->is != NC_AXX__ONNX_NUMBERS || v->rank > 1 || v->count > NC_AXX__ONNX_AXES) {
        nc_axx__onnx_fail(o, NC_ERR_UNSUPPORTED,
                          "a shape that depends on the images, or of more "
                          "than 8 axes");
        return 0;
    }
    for (i = 0; i < v->count; i++) {
        const double one = nc_axx__onnx_number(v, i);
        shape[i] = nc_axx__onnx_size(one);
    }
    return i;
}

static void nc_axx__onnx_compute_filled(nc_axx__onnx *o, const nc_axx__onnx_node *n) {
    nc_axx__onnx_value *v = nc_axx__onnx_out(o, n), with;
    size_t shape[NC_AXX__ONNX_AXES], i;
    const uint32_t rank = nc_axx__onnx_shape_from(o, nc_axx__onnx_in(o, n, 0), shape);
    nc_axx__onnx_attribute a;
    double number = 0, *to;
    memset(&with, 0, sizeof with);
    with.type = NC_AXX__ONNX_FLOAT;
    if (nc_axx__onnx_attribute_of(o, n, "value", 5, &a)) {
        (void)nc_axx__onnx_tensor(o, a.tensor, &with);
        if (o->t.status == NC_OK && !nc_axx__onnx_single(&with, &number))
            nc_axx__onnx_fail(o, NC_ERR_FORMAT, "a value that is not one number");
    }
    to = nc_axx__onnx_make(o, v, with.type, rank, shape);
    for (i = 0; to && i < v->count; i++) to[i] = number;
}

/* Repeated along axes; but not for every image, which graphs do by themselves. */
static void nc_axx__onnx_compute_expand(nc_axx__onnx *o, const nc_axx__onnx_node *n) {
    const nc_axx__onnx_value *from = nc_axx__onnx_in(o, n, 0);
    nc_axx__onnx_value *v = nc_axx__onnx_out(o, n), wanted;
    size_t shape[NC_AXX__ONNX_AXES], i;
    uint32_t rank;
    double *to;
    memset(&wanted, 0, sizeof wanted);
    wanted.rank = nc_axx__onnx_shape_from(o, nc_axx__onnx_in(o, n, 1), wanted.shape);
    if (wanted.rank && wanted.shape[0] == o->batch &&
        (from->rank < wanted.rank || from->shape[0] == 1))
        wanted.shape[0] = 1;
    rank = nc_axx__onnx_together(o, from, &wanted, shape);
    to = nc_axx__onnx_make(o, v, from->type, rank, shape);
    for (i = 0; to && i < v->count; i++)
        to[i] = nc_axx__onnx_number(from, nc_axx__onnx_place(from, rank, shape, i));
}

static void nc_axx__onnx_compute_transpose(nc_axx__onnx *o, const nc_axx__onnx_node *n) {
    const nc_axx__onnx_value *from = nc_axx__onnx_in(o, n, 0);
    nc_axx__onnx_value *v = nc_axx__onnx_out(o, n);
    size_t shape[NC_AXX__ONNX_AXES], step[NC_AXX__ONNX_AXES], i;
    double perm[16], *to;
    const uint32_t count = nc_axx__onnx_list(o, n, "perm", perm);
    uint32_t taken = 0, k, a;
    if (count != UINT32_MAX && count != from->rank) {
        nc_axx__onnx_fail(o, NC_ERR_FORMAT, "an order of %u axes of %u", (unsigned)count,
                          (unsigned)from->rank);
        return;
    }
    for (k = 0; k < from->rank; k++) {
        const uint32_t axis =
            count == UINT32_MAX ? from->rank - 1 - k : nc_axx__onnx_axis(o, perm[k], from->rank);
        taken |= 1u << axis;
        shape[k] = from->shape[axis];
        for (step[k] = 1, a = axis + 1; a < from->rank; a++) step[k] *= from->shape[a];
    }
    if (taken != (1u << from->rank) - 1)
        nc_axx__onnx_fail(o, NC_ERR_FORMAT, "an order that is none of %u axes",
                          (unsigned)from->rank);
    to = nc_axx__onnx_make(o, v, from->type, from->rank, shape);
    for (i = 0; to && i < v->count; i++) {
        size_t left = i, at = 0;
        for (k = from->rank; k-- > 0;) {
            at += left % shape[k] * step[k];
            left /= shape[k];
        }
        to[i] = nc_axx__onnx_number(from, at);
    }
}

static void nc_axx__onnx_compute_concat(nc_axx__onnx *o, const nc_axx__onnx_node *n) {
    const nc_axx__onnx_value *one = nc_axx__onnx_in(o, n, 0);
    size_t count = 0, i;
    double *to;
    uint32_t k;
    for (k = 0; k < n->inputs; k++) {
        one = nc_axx__onnx_in(o, n, k);
        if (!one || one->rank != 1) {
            nc_axx__onnx_fail(o, NC_ERR_UNSUPPORTED, "numbers of more than one axis");
            return;
        }
        count += one->count;
    }
    to = nc_axx__onnx_make(o, nc_axx__onnx_out(o, n), one->type, 1, &count);
    for (k = 0; to && k < n->inputs; k++)
        for (one = nc_axx__onnx_in(o, n, k), i = 0; i < one->count; i++)
            *to++ = nc_axx__onnx_number(one, i);
}

/* Slice, Gather, Split: places of one axis, from `first` on; or (drop) one, without the axis. */
typedef struct nc_axx__onnx_cut {
    uint32_t axis;
    size_t first, places;
    int drop;
} nc_axx__onnx_cut;

static void nc_axx__onnx_cut_numbers(nc_axx__onnx *o, const nc_axx__onnx_value *from,
                                     nc_axx__onnx_value *to, nc_axx__onnx_cut c) {
    size_t shape[NC_AXX__ONNX_AXES], inner = 1, i;
    uint32_t k, rank = 0;
    const size_t row = from->shape[c.axis];
    double *made;
    for (k = 0; k < from->rank; k++) {
        if (k > c.axis) inner *= from->shape[k];
        if (k == c.axis && c.drop) continue;
        shape[rank++] = k == c.axis ? c.places : from->shape[k];
    }
    made = nc_axx__onnx_make(o, to, from->type, rank, shape);
    for (i = 0; made && i < to->count; i++)
        made[i] = nc_axx__onnx_number(
            from,
            (i / inner / c.places * row + c.first + i / inner % c.places) * inner + i % inner);
}

/* Start and end of a slice as the operator has them: counted from the end where negative, held
 * within the axis. */
static size_t nc_axx__onnx_bound(double at, size_t places) {
    if (at < 0) at += (double)places;
    return !(at > 0) ? 0 : at > (double)places ? places : (size_t)at;
}

/* -- ONNX: nodes of the graph -- */

/* A name that no other node of the graph has: of these letters, with a number where it is taken. */
static void nc_axx__onnx_name(const nc_axx__onnx *o, nc_axx__word word, char *name, size_t room) {
    const size_t most = room - 8;
    uint32_t again;
    size_t i, n = 0;
    if (word.length > most) { /* the end tells more than the beginning */
        word.at += word.length - most;
        word.length = most;
    }
    for (i = 0; i < word.length; i++)
        name[n++] = word.at[i] > 32 && word.at[i] < 127 ? word.at[i] : '_';
    name[n] = 0;
    for (again = 2; nc_axx_graph_find(o->g, name) != UINT32_MAX; again++)
        (void)snprintf(name + n, room - n, ".%u", (unsigned)again % 100000);
}

/* What a node of the graph is called after: its weights' name without the ending, else the node of
 * the file, else what that makes. */
static nc_axx__word nc_axx__onnx_called(const nc_axx__onnx *o, uint32_t weights) {
    nc_axx__word word = o->n ? o->n->name : o->names.list[weights];
    if (weights != UINT32_MAX && o->values[weights].producer == UINT32_MAX) {
        word = o->names.list[weights];
        if (word.length > 7 && !memcmp(word.at + word.length - 7, ".weight", 7)) word.length -= 7;
    }
    if (!word.length && o->n) word = o->names.list[o->lists[o->n->output]];
    return word;
}

/* Append a node of one or two inputs; its number, 0 after a failure. */
static uint32_t nc_axx__onnx_add(nc_axx__onnx *o, const nc_axx_node *n, uint32_t weights,
                                 const uint32_t *inputs, uint32_t count) {
    nc_axx_node node;
    char name[64];
    uint32_t number = 0;
    nc_status status;
    if (o->t.status != NC_OK) return 0;
    nc_axx__onnx_name(o, nc_axx__onnx_called(o, weights), name, sizeof name);
    node = *n;
    node.name = name;
    node.inputs = inputs;
    node.input_count = count;
    status = nc_axx_graph_add(o->g, &node, &number, o->t.err);
    if (status != NC_OK) o->t.status = status;
    return number;
}

/* A node of this kind, the rest at its defaults. */
static nc_axx_node nc_axx__node_of(nc_axx_node_kind kind) {
    nc_axx_node node;
    memset(&node, 0, sizeof node);
    node.kind = kind;
    return node;
}

/* A shape for one image, at least one axis. Its rank, above 4 where a graph cannot have it. */
static uint32_t nc_axx__onnx_per_image(const nc_axx__onnx *o, uint32_t rank, const size_t *shape,
                                       uint32_t batch, uint32_t *image) {
    uint32_t i, n = 0;
    for (i = 0; i < rank; i++) {
        size_t places = shape[i];
        if (i == batch) continue;
        if (!i && batch == NC_AXX__ONNX_MERGED) places /= o->batch;
        if (n < 4) image[n] = places < UINT32_MAX ? (uint32_t)places : UINT32_MAX;
        n++;
    }
    if (!n) image[n++] = 1;
    return n;
}

/* Say that a value is that node's, in this shape. */
static void nc_axx__onnx_is(nc_axx__onnx_value *v, uint32_t node, uint32_t rank,
                            const size_t *shape, uint32_t batch) {
    uint32_t i;
    v->is = NC_AXX__ONNX_NODE;
    v->node = node;
    v->rank = rank;
    v->batch = batch;
    for (v->count = 1, i = 0; i < rank; i++) {
        v->shape[i] = shape[i];
        v->count = nc__mul_size(v->count, shape[i]);
    }
}

/* The node with its values in the shape that an image has there. */
static uint32_t nc_axx__onnx_reshape(nc_axx__onnx *o, uint32_t node, uint32_t rank,
                                     const uint32_t *shape) {
    nc_axx_node n = nc_axx__node_of(NC_AXX_NODE_RESHAPE);
    const nc_axx__vertex *from = &o->g->nodes[node];
    uint32_t i, same = rank == from->rank;
    for (i = 0; i < rank && same; i++) same = from->shape[i] == shape[i];
    if (same || o->t.status != NC_OK) return node;
    if (rank > 4) {
        nc_axx__onnx_fail(o, NC_ERR_UNSUPPORTED, "%u axes of an image, where 1 to 4 are possible",
                          (unsigned)rank);
        return node;
    }
    n.rank = rank;
    memcpy(n.shape, shape, rank * sizeof *shape);
    return nc_axx__onnx_add(o, &n, UINT32_MAX, &node, 1);
}

/* The node with its values' axes in this order. */
static uint32_t nc_axx__onnx_permute(nc_axx__onnx *o, uint32_t node, uint32_t rank,
                                     const uint32_t *order) {
    nc_axx_node n = nc_axx__node_of(NC_AXX_NODE_PERMUTE);
    uint32_t i, same = 1;
    for (i = 0; i < rank; i++) same = same && order[i] == i;
    if (same) return node;
    n.rank = rank;
    memcpy(n.shape, order, rank * sizeof *order);
    return nc_axx__onnx_add(o, &n, UINT32_MAX, &node, 1);
}

/* An input that depends on the images; `first`: they are its first axis, and it has so many axes
 * (0: any). Null after a failure. */
static const nc_axx__onnx_value *nc_axx__onnx_images(nc_axx__onnx *o, const nc_axx__onnx_node *n,
                                                     uint32_t i, int first, uint32_t rank) {
    const nc_axx__onnx_value *v = nc_axx__onnx_in(o, n, i);
    if (!v || v->is != NC_AXX__ONNX_NODE)
        nc_axx__onnx_fail(o, NC_ERR_UNSUPPORTED, "input %u does not depend on the images",
                          (unsigned)i);
    else if (rank && v->rank != rank)
        nc_axx__onnx_fail(o, NC_ERR_UNSUPPORTED, "an input of %u axes, where %u are possible",
                          (unsigned)v->rank, (unsigned)rank);
    else if (first && v->batch)
        nc_axx__onnx_fail(o, NC_ERR_UNSUPPORTED, "images that are not the first axis");
    return o->t.status == NC_OK ? v : NULL;
}

/* An input of numbers. Null after a failure. */
static const nc_axx__onnx_value *nc_axx__onnx_weights(nc_axx__onnx *o, const nc_axx__onnx_node *n,
                                                      uint32_t i, uint32_t rank) {
    const nc_axx__onnx_value *v = nc_axx__onnx_in(o, n, i);
    if (!v || v->is != NC_AXX__ONNX_NUMBERS)
        nc_axx__onnx_fail(o, NC_ERR_UNSUPPORTED, "input %u that is no constant", (unsigned)i);
    else if (v->rank != rank)
        nc_axx__onnx_fail(o, NC_ERR_UNSUPPORTED, "input %u of %u axes, where %u are possible",
                          (unsigned)i, (unsigned)v->rank, (unsigned)rank);
    return o->t.status == NC_OK ? v : NULL;
}

/* The graph's tensor gets a value's numbers, one for all where there is one only. */
static nc_axx__onnx_fill *nc_axx__onnx_fill_with(nc_axx__onnx *o, uint32_t tensor,
                                                 const nc_axx__onnx_value *v) {
    nc_axx__onnx_fill f;
    memset(&f, 0, sizeof f);
    f.tensor = tensor;
    f.value = (uint32_t)(v - o->values);
    f.factor = 1.0f;
    if (o->t.status == NC_OK && v->count != 1 && v->count != o->g->tensors[tensor].count)
        nc_axx__onnx_fail(o, NC_ERR_FORMAT, "'%.*s' has %lu numbers, where %lu are needed",
                          NC_AXX__ONNX_TEXT(o->names.list[f.value]), (unsigned long)v->count,
                          (unsigned long)o->g->tensors[tensor].count);
    stbds_arrput(o->fills, f);
    return &stbds_arrlast(o->fills);
}

/* Numbers as a node: a tensor for every image, of this many axes with the images' axis, in which it
 * must have one place (or the same for every image). */
static uint32_t nc_axx__onnx_parameter(nc_axx__onnx *o, const nc_axx__onnx_value *v, uint32_t rank,
                                       uint32_t batch, int inverse) {
    nc_axx_node n = nc_axx__node_of(NC_AXX_NODE_PARAMETER);
    const uint32_t number = (uint32_t)(v - o->values), ahead = rank - v->rank;
    nc_axx__onnx_value *first = &o->values[number];
    size_t rows = 1, all = 1, i, k;
    uint32_t node, at;
    if (v->rank > rank || v->count == 0) {
        nc_axx__onnx_fail(o, NC_ERR_UNSUPPORTED, "'%.*s' has %u axes, where %u are possible",
                          NC_AXX__ONNX_TEXT(o->names.list[number]), (unsigned)v->rank,
                          (unsigned)rank);
        return 0;
    }
    for (i = 0; i < v->rank; i++) {
        at = ahead + (uint32_t)i;
        all *= v->shape[i];
        if (at == batch) rows = v->shape[i];
        if (at == batch || (n.rank == 0 && v->shape[i] == 1)) continue;
        if (n.rank < 4) n.shape[n.rank] = (uint32_t)v->shape[i];
        n.rank++;
    }
    if (!n.rank) n.shape[n.rank++] = 1;
    if (rows > 1 && (rows != o->batch || batch != 0 || ahead))
        nc_axx__onnx_fail(o, NC_ERR_UNSUPPORTED, "'%.*s' differs from image to image",
                          NC_AXX__ONNX_TEXT(o->names.list[number]));
    for (i = all / rows, k = 0; rows > 1 && k + i < all && o->t.status == NC_OK; k++)
        if (nc_axx__onnx_number(v, k) != nc_axx__onnx_number(v, k + i))
            nc_axx__onnx_fail(o, NC_ERR_UNSUPPORTED, "'%.*s' differs from image to image",
                              NC_AXX__ONNX_TEXT(o->names.list[number]));
    node = nc_axx__onnx_add(o, &n, number, NULL, 0);
    if (o->t.status != NC_OK) return 0;
    first->count = all / rows; /* the first image's; another node may have found that before */
    nc_axx__onnx_fill_with(o, o->g->nodes[node].weight, v)->inverse = inverse;
    return node;
}

/* What an operator of one input makes, in the input's shape. */
static void nc_axx__onnx_emit_alike(nc_axx__onnx *o, const nc_axx__onnx_node *n, uint32_t of,
                                    nc_axx_node node) {
    const nc_axx__onnx_value *from = &o->values[of];
    const uint32_t number = nc_axx__onnx_add(o, &node, UINT32_MAX, &from->node, 1);
    nc_axx__onnx_is(nc_axx__onnx_out(o, n), number, from->rank, from->shape, from->batch);
}

static void nc_axx__onnx_emit_activation(nc_axx__onnx *o, const nc_axx__onnx_node *n) {
    static const struct {
        const char *name;
        nc_axx_node_kind kind;
    } kinds[] = {{"Relu", NC_AXX_NODE_RELU},
                 {"Sigmoid", NC_AXX_NODE_SIGMOID},
                 {"HardSigmoid", NC_AXX_NODE_HARD_SIGMOID},
                 {"HardSwish", NC_AXX_NODE_HARD_SWISH},
                 {"Tanh", NC_AXX_NODE_TANH},
                 {"Gelu", NC_AXX_NODE_GELU}};
    const nc_axx__onnx_value *from = nc_axx__onnx_images(o, n, 0, 0, 0);
    nc_axx__onnx_attribute a;
    nc_axx_node node;
    uint32_t i = 0;
    if (!from) return;
    while (!nc_axx__word_is(n->type, kinds[i].name)) i++;
    node = nc_axx__node_of(kinds[i].kind);
    if (node.kind == NC_AXX_NODE_HARD_SIGMOID &&
        (fabs(nc_axx__onnx_real(o, n, "alpha", 0.2) - 1.0 / 6) > 1e-6 ||
         nc_axx__onnx_real(o, n, "beta", 0.5) != 0.5))
        nc_axx__onnx_fail(o, NC_ERR_UNSUPPORTED, "alpha and beta other than 1/6 and 1/2");
    if (node.kind == NC_AXX_NODE_GELU && nc_axx__onnx_attribute_of(o, n, "approximate", 4, &a)) {
        if (nc_axx__word_is(a.text, "tanh"))
            node.kind = NC_AXX_NODE_GELU_TANH;
        else if (!nc_axx__word_is(a.text, "none"))
            nc_axx__onnx_fail(o, NC_ERR_UNSUPPORTED, "approximate '%.*s'",
                              NC_AXX__ONNX_TEXT(a.text));
    }
    nc_axx__onnx_emit_alike(o, n, (uint32_t)(from - o->values), node);
}

static void nc_axx__onnx_emit_clip(nc_axx__onnx *o, const nc_axx__onnx_node *n) {
    const nc_axx__onnx_value *from = nc_axx__onnx_images(o, n, 0, 0, 0);
    nc_axx_node node = nc_axx__node_of(NC_AXX_NODE_CLIP);
    double least, most;
    if (!from) return;
    nc_axx__onnx_bounds(o, n, &least, &most);
    if (least == 0 && (most == 6 || most > 3e38))
        node.kind = most == 6 ? NC_AXX_NODE_RELU6 : NC_AXX_NODE_RELU;
    node.least = (float)least;
    node.most = (float)most;
    nc_axx__onnx_emit_alike(o, n, (uint32_t)(from - o->values), node);
}

/* Identity, Dropout, Cast: the input. */
static void nc_axx__onnx_emit_same(nc_axx__onnx *o, const nc_axx__onnx_node *n) {
    const nc_axx__onnx_value *from = nc_axx__onnx_images(o, n, 0, 0, 0);
    double on = 0;
    if (!from) return;
    if (nc_axx__word_is(n->type, "Cast") &&
        nc_axx__onnx_integer(o, n, "to", 0) != (double)(int)NC_AXX__ONNX_FLOAT)
        nc_axx__onnx_fail(o, NC_ERR_UNSUPPORTED, "to another type than float32");
    if (nc_axx__word_is(n->type, "Dropout") &&
        (n->outputs > 1 || (nc_axx__onnx_single(nc_axx__onnx_in(o, n, 2), &on) && on != 0)))
        nc_axx__onnx_fail(o, NC_ERR_UNSUPPORTED, "in training");
    nc_axx__onnx_is(nc_axx__onnx_out(o, n), from->node, from->rank, from->shape, from->batch);
}

/* Kernel, strides, pads of convolutions and pools, which have two axes. */
static void nc_axx__onnx_window(nc_axx__onnx *o, const nc_axx__onnx_node *n, nc_axx_node *to) {
    static const char *const names[] = {"kernel_shape", "strides", "dilations", "pads",
                                        "output_padding"};
    uint32_t *const into[] = {to->kernel, to->stride, to->dilation, to->padding,
                              to->output_padding};
    nc_axx__onnx_attribute a;
    double list[16];
    uint32_t i, k;
    for (i = 0; i < 5; i++) {
        const uint32_t count = nc_axx__onnx_list(o, n, names[i], list), wanted = i == 3 ? 4 : 2;
        if (count == UINT32_MAX) continue;
        for (k = 0; k < count && k < wanted; k++) {
            if (!(list[k] >= 0 && list[k] <= 65536))
                nc_axx__onnx_fail(o, NC_ERR_UNSUPPORTED, "%s of %ld", names[i],
                                  list[k] > -1e6 && list[k] < 1e6 ? (long)list[k] : -1L);
            else
                into[i][k] = (uint32_t)list[k];
        }
        if (count != wanted)
            nc_axx__onnx_fail(o, NC_ERR_UNSUPPORTED, "%s of %u numbers, where %u are possible",
                              names[i], (unsigned)count, (unsigned)wanted);
    }
    for (i = 0; i < 4; i++) to->padding[i] += nc_axx__onnx_in(o, n, 0)->padding[i];
    if (!to->stride[0] && !to->stride[1]) to->stride[0] = to->stride[1] = 1;
    if (!nc_axx__onnx_attribute_of(o, n, "auto_pad", 4, &a) || nc_axx__word_is(a.text, "NOTSET"))
        return;
    if (nc_axx__word_is(a.text, "SAME_UPPER"))
        to->same = NC_AXX_SAME_UPPER;
    else if (nc_axx__word_is(a.text, "SAME_LOWER"))
        to->same = NC_AXX_SAME_LOWER;
    else if (!nc_axx__word_is(a.text, "VALID"))
        nc_axx__onnx_fail(o, NC_ERR_UNSUPPORTED, "auto_pad '%.*s'", NC_AXX__ONNX_TEXT(a.text));
}

/* A layer's node with its tensors; what comes out has the images first, or merged with the first
 * axis, as the input. */
static void nc_axx__onnx_layer(nc_axx__onnx *o, const nc_axx__onnx_node *n, nc_axx_node *node,
                               const nc_axx__onnx_value *from, const nc_axx__onnx_value *weights,
                               const nc_axx__onnx_value *bias, int transposed) {
    size_t shape[NC_AXX__ONNX_AXES];
    const nc_axx__vertex *made;
    uint32_t number, i, k = 0;
    node->no_bias = !bias;
    number = nc_axx__onnx_add(o, node, (uint32_t)(weights - o->values), &from->node, 1);
    if (o->t.status != NC_OK) return;
    made = &o->g->nodes[number];
    nc_axx__onnx_fill_with(o, made->weight, weights)->transposed = transposed;
    if (bias) (void)nc_axx__onnx_fill_with(o, made->bias, bias);
    for (i = 0; i < from->rank; i++) {
        if (i == from->batch) {
            shape[i] = o->batch;
            continue;
        }
        shape[i] = made->shape[k++];
        if (!i && from->batch == NC_AXX__ONNX_MERGED) shape[i] *= o->batch;
    }
    nc_axx__onnx_is(nc_axx__onnx_out(o, n), number, from->rank, shape, from->batch);
}

static void nc_axx__onnx_emit_convolution(nc_axx__onnx *o, const nc_axx__onnx_node *n) {
    const int transposed = !nc_axx__word_is(n->type, "Conv");
    const nc_axx__onnx_value *from = nc_axx__onnx_images(o, n, 0, 1, 4);
    const nc_axx__onnx_value *w = from ? nc_axx__onnx_weights(o, n, 1, 4) : NULL;
    const nc_axx__onnx_value *bias = NULL;
    nc_axx_node node =
        nc_axx__node_of(transposed ? NC_AXX_NODE_CONV2D_TRANSPOSED : NC_AXX_NODE_CONV2D);
    double groups = nc_axx__onnx_integer(o, n, "group", 1);
    uint32_t i;
    if (w && n->inputs > 2 && nc_axx__onnx_in(o, n, 2)) bias = nc_axx__onnx_weights(o, n, 2, 1);
    nc_axx__onnx_window(o, n, &node);
    if (!w || o->t.status != NC_OK) return;
    node.groups = groups >= 1 && groups < 1e6 ? (uint32_t)groups : 0;
    for (i = 0; i < 2; i++) {
        if (node.kernel[i] && node.kernel[i] != w->shape[2 + i])
            nc_axx__onnx_fail(o, NC_ERR_FORMAT, "kernel_shape is not that of the weights");
        node.kernel[i] = w->shape[2 + i] < 65536 ? (uint32_t)w->shape[2 + i] : 0;
    }
    node.out = (uint32_t)(transposed ? w->shape[1] * node.groups : w->shape[0]);
    if (!node.groups ||
        w->shape[transposed ? 0 : 1] * (transposed ? 1 : node.groups) != from->shape[1])
        nc_axx__onnx_fail(o, NC_ERR_FORMAT, "%lu channels, and weights of other ones",
                          (unsigned long)from->shape[1]);
    nc_axx__onnx_layer(o, n, &node, from, w, bias, 0);
}

static void nc_axx__onnx_emit_gemm(nc_axx__onnx *o, const nc_axx__onnx_node *n) {
    const nc_axx__onnx_value *from = nc_axx__onnx_images(o, n, 0, 0, 2);
    const nc_axx__onnx_value *w = from ? nc_axx__onnx_weights(o, n, 1, 2) : NULL, *bias = NULL;
    nc_axx_node node = nc_axx__node_of(NC_AXX_NODE_LINEAR);
    const int by_columns = nc_axx__onnx_integer(o, n, "transB", 0) != 0;
    const float alpha = (float)nc_axx__onnx_real(o, n, "alpha", 1);
    const float beta = (float)nc_axx__onnx_real(o, n, "beta", 1);
    size_t fills = stbds_arrlenu(o->fills);
    if (w && n->inputs > 2 && nc_axx__onnx_in(o, n, 2)) {
        bias = nc_axx__onnx_in(o, n, 2);
        if (bias->rank > 2 || (bias->rank == 2 && bias->shape[0] != 1))
            nc_axx__onnx_fail(o, NC_ERR_UNSUPPORTED, "a term C that is no row");
        else if (bias->is != NC_AXX__ONNX_NUMBERS)
            bias = nc_axx__onnx_weights(o, n, 2, 1);
    }
    if (!w || o->t.status != NC_OK) return;
    if (nc_axx__onnx_integer(o, n, "transA", 0) != 0 || from->batch == 1)
        nc_axx__onnx_fail(o, NC_ERR_UNSUPPORTED, "images that are not the rows");
    if (w->shape[by_columns ? 1 : 0] != from->shape[1])
        nc_axx__onnx_fail(o, NC_ERR_FORMAT, "%lu columns, and weights for %lu",
                          (unsigned long)from->shape[1],
                          (unsigned long)w->shape[by_columns ? 1 : 0]);
    node.out = (uint32_t)w->shape[by_columns ? 0 : 1];
    nc_axx__onnx_layer(o, n, &node, from, w, bias, !by_columns);
    if (fills < stbds_arrlenu(o->fills)) o->fills[fills].factor = alpha;
    if (fills + 1 < stbds_arrlenu(o->fills)) o->fills[fills + 1].factor = beta;
}

/* Two operands in the same shape before their last two axes. */
static void nc_axx__onnx_emit_product(nc_axx__onnx *o, const nc_axx__onnx_node *n) {
    nc_axx_node node = nc_axx__node_of(NC_AXX_NODE_MATMUL);
    const nc_axx__onnx_value *two[2], *from;
    size_t shape[NC_AXX__ONNX_AXES];
    uint32_t number[2], i;
    two[0] = nc_axx__onnx_in(o, n, 0);
    two[1] = nc_axx__onnx_in(o, n, 1);
    from = two[two[0]->is != NC_AXX__ONNX_NODE];
    if (from->rank < 2 || (from->batch == NC_AXX__ONNX_MERGED ? from->rank < 3 && o->batch > 1
                                                              : from->batch + 2 >= from->rank)) {
        nc_axx__onnx_fail(o, NC_ERR_UNSUPPORTED, "a product that sums over images");
        return;
    }
    for (i = 0; i < 2; i++) {
        if (two[i]->rank != from->rank ||
            (two[i]->is == NC_AXX__ONNX_NODE && two[i]->batch != from->batch))
            nc_axx__onnx_fail(o, NC_ERR_UNSUPPORTED,
                              "operands of %u and %u axes, or images in "
                              "different ones",
                              (unsigned)two[0]->rank, (unsigned)two[1]->rank);
        if (o->t.status != NC_OK) return;
        number[i] = two[i]->is == NC_AXX__ONNX_NODE
                        ? two[i]->node
                        : nc_axx__onnx_parameter(o, two[i], from->rank, from->batch, 0);
    }
    number[0] = nc_axx__onnx_add(o, &node, UINT32_MAX, number, 2);
    memcpy(shape, from->shape, sizeof shape);
    shape[from->rank - 2] = two[0]->shape[from->rank - 2];
    shape[from->rank - 1] = two[1]->shape[from->rank - 1];
    nc_axx__onnx_is(nc_axx__onnx_out(o, n), number[0], from->rank, shape, from->batch);
}

/* By weights, with a bias that an addition behind it may bring. */
static void nc_axx__onnx_linear(nc_axx__onnx *o, const nc_axx__onnx_node *n,
                                const nc_axx__onnx_value *from, const nc_axx__onnx_value *w,
                                const nc_axx__onnx_value *bias) {
    nc_axx_node node = nc_axx__node_of(NC_AXX_NODE_LINEAR);
    if (from->rank < 2 || from->batch == from->rank - 1 ||
        from->shape[from->rank - 1] != w->shape[0]) {
        nc_axx__onnx_fail(o, NC_ERR_UNSUPPORTED, "weights for %lu values of something else",
                          (unsigned long)w->shape[0]);
        return;
    }
    node.out = (uint32_t)w->shape[1];
    nc_axx__onnx_layer(o, n, &node, from, w, bias, 1);
}

static void nc_axx__onnx_emit_matmul(nc_axx__onnx *o, const nc_axx__onnx_node *n) {
    const nc_axx__onnx_value *a = nc_axx__onnx_in(o, n, 0), *w = nc_axx__onnx_in(o, n, 1);
    if (a->is == NC_AXX__ONNX_NODE && w->is == NC_AXX__ONNX_NUMBERS && w->rank == 2)
        nc_axx__onnx_linear(o, n, a, w, NULL);
    else
        nc_axx__onnx_emit_product(o, n);
}

static void nc_axx__onnx_emit_batch_norm(nc_axx__onnx *o, const nc_axx__onnx_node *n) {
    const nc_axx__onnx_value *from = nc_axx__onnx_images(o, n, 0, 1, 0), *w;
    nc_axx_node node = nc_axx__node_of(NC_AXX_NODE_BATCH_NORM);
    uint32_t i, number = 0;
    node.eps = (float)nc_axx__onnx_real(o, n, "epsilon", 1e-5);
    if (nc_axx__onnx_integer(o, n, "training_mode", 0) != 0 || n->outputs > 1)
        nc_axx__onnx_fail(o, NC_ERR_UNSUPPORTED, "in training: export the network for inference");
    for (i = 1; i < 5 && from; i++) {
        w = nc_axx__onnx_weights(o, n, i, 1);
        if (!w) return;
        if (i == 1) number = nc_axx__onnx_add(o, &node, (uint32_t)(w - o->values), &from->node, 1);
        if (o->t.status == NC_OK)
            (void)nc_axx__onnx_fill_with(o, o->g->nodes[number].weight + i - 1, w);
    }
    if (from) nc_axx__onnx_is(nc_axx__onnx_out(o, n), number, from->rank, from->shape, from->batch);
}

/* A layer norm of these operands, the last of which may be left out. */
static void nc_axx__onnx_layer_norm(nc_axx__onnx *o, const nc_axx__onnx_node *n,
                                    const nc_axx__onnx_value *from, const nc_axx__onnx_value *w,
                                    const nc_axx__onnx_value *bias, double eps) {
    nc_axx_node node = nc_axx__node_of(NC_AXX_NODE_LAYER_NORM);
    uint32_t number;
    node.eps = (float)eps;
    if (from->batch == from->rank - 1)
        nc_axx__onnx_fail(o, NC_ERR_UNSUPPORTED, "a norm over images");
    number = nc_axx__onnx_add(o, &node, (uint32_t)(w - o->values), &from->node, 1);
    if (o->t.status != NC_OK) return;
    (void)nc_axx__onnx_fill_with(o, o->g->nodes[number].weight, w);
    if (bias) (void)nc_axx__onnx_fill_with(o, o->g->nodes[number].bias, bias);
    nc_axx__onnx_is(nc_axx__onnx_out(o, n), number, from->rank, from->shape, from->batch);
}

static void nc_axx__onnx_emit_layer_norm(nc_axx__onnx *o, const nc_axx__onnx_node *n) {
    const nc_axx__onnx_value *from = nc_axx__onnx_images(o, n, 0, 0, 0), *w = NULL, *bias = NULL;
    if (from &&
        nc_axx__onnx_axis(o, nc_axx__onnx_integer(o, n, "axis", -1), from->rank) != from->rank - 1)
        nc_axx__onnx_fail(o, NC_ERR_UNSUPPORTED, "over more than the last axis");
    if (n->outputs > 1) nc_axx__onnx_fail(o, NC_ERR_UNSUPPORTED, "mean and deviation as outputs");
    if (from) w = nc_axx__onnx_weights(o, n, 1, 1);
    if (w && nc_axx__onnx_in(o, n, 2)) bias = nc_axx__onnx_weights(o, n, 2, 1);
    if (w && o->t.status == NC_OK)
        nc_axx__onnx_layer_norm(o, n, from, w, bias, nc_axx__onnx_real(o, n, "epsilon", 1e-5));
}

static void nc_axx__onnx_emit_softmax(nc_axx__onnx *o, const nc_axx__onnx_node *n) {
    const nc_axx__onnx_value *from = nc_axx__onnx_images(o, n, 0, 0, 0);
    uint32_t axis;
    if (!from) return;
    axis = nc_axx__onnx_axis(o, nc_axx__onnx_integer(o, n, "axis", o->opset < 13 ? 1 : -1),
                             from->rank);
    if (axis != from->rank - 1 || axis == from->batch)
        nc_axx__onnx_fail(o, NC_ERR_UNSUPPORTED, "over another axis than the last");
    nc_axx__onnx_emit_alike(o, n, (uint32_t)(from - o->values),
                            nc_axx__node_of(NC_AXX_NODE_SOFTMAX));
}

/* ceil_mode: padding at the end so that a last window, which begins within the map, comes out. */
static void nc_axx__onnx_ceil(nc_axx_node *node, const nc_axx__onnx_value *from) {
    uint32_t i;
    for (i = 0; i < 2; i++) {
        const size_t all = from->shape[2 + i] + node->padding[i] + node->padding[2 + i];
        const size_t stride = node->stride[i] ? node->stride[i] : 1;
        const size_t left = all < node->kernel[i] ? 0 : (all - node->kernel[i]) % stride;
        const size_t start = all - node->kernel[i] - left + stride;
        if (left && start < from->shape[2 + i] + node->padding[i])
            node->padding[2 + i] += (uint32_t)(stride - left);
    }
}

static void nc_axx__onnx_emit_pool(nc_axx__onnx *o, const nc_axx__onnx_node *n) {
    const int largest = nc_axx__word_is(n->type, "MaxPool");
    const nc_axx__onnx_value *from = nc_axx__onnx_images(o, n, 0, 1, 4);
    nc_axx_node node = nc_axx__node_of(largest ? NC_AXX_NODE_MAX_POOL : NC_AXX_NODE_MEAN_POOL);
    size_t shape[4];
    uint32_t number, i;
    if (!from) return;
    nc_axx__onnx_window(o, n, &node);
    node.exclude_padding = nc_axx__onnx_integer(o, n, "count_include_pad", 0) == 0;
    if (nc_axx__onnx_integer(o, n, "ceil_mode", 0) != 0) {
        const nc_axx_node before = node;
        nc_axx__onnx_ceil(&node, from);
        if (node.same || (!largest && !node.exclude_padding &&
                          memcmp(before.padding, node.padding, sizeof node.padding) != 0))
            nc_axx__onnx_fail(o, NC_ERR_UNSUPPORTED,
                              "ceil_mode with auto_pad, or with count_include_pad");
    }
    if (nc_axx__onnx_integer(o, n, "storage_order", 0) != 0 || n->outputs > 1)
        nc_axx__onnx_fail(o, NC_ERR_UNSUPPORTED, "the places of the largest values");
    number = nc_axx__onnx_add(o, &node, UINT32_MAX, &from->node, 1);
    if (o->t.status != NC_OK) return;
    for (shape[0] = o->batch, i = 1; i < 4; i++) shape[i] = o->g->nodes[number].shape[i - 1];
    nc_axx__onnx_is(nc_axx__onnx_out(o, n), number, 4, shape, 0);
}

/* Whether only a convolution takes a value, whose padding zeros are, or a pool of largest values,
 * whose padding is the least. */
static int nc_axx__onnx_is_padded(nc_axx__onnx *o, uint32_t value, double with) {
    const nc_axx__onnx_node *n = stbds_arrlenu(o->nodes) ? o->nodes : NULL;
    const nc_axx__onnx_node *end = n + stbds_arrlenu(o->nodes);
    nc_axx__onnx_attribute a;
    if (o->values[value].uses != 1) return 0;
    while (n < end && (!n->needed || nc_axx__onnx_in(o, n, 0) != &o->values[value])) n++;
    if (n == end || !nc_axx__word_is(n->type, with == 0 ? "Conv" : "MaxPool")) return 0;
    return (with == 0 || with < -3e38) && (!nc_axx__onnx_attribute_of(o, n, "auto_pad", 4, &a) ||
                                           nc_axx__word_is(a.text, "NOTSET"));
}

/* Places before (i) and behind (8 + i) every axis i of an input of Pad, and what they are. */
static void nc_axx__onnx_pads(nc_axx__onnx *o, const nc_axx__onnx_node *n,
                              const nc_axx__onnx_value *from, uint32_t pads[16], double *with) {
    double list[16] = {0}, axes[16] = {0};
    const uint32_t count = nc_axx__onnx_numbers(o, n, 1, "pads", list);
    const uint32_t some =
        nc_axx__onnx_in(o, n, 3) ? nc_axx__onnx_numbers(o, n, 3, "axes", axes) : from->rank;
    nc_axx__onnx_attribute a;
    uint32_t i, axis;
    if (nc_axx__onnx_attribute_of(o, n, "mode", 4, &a) && !nc_axx__word_is(a.text, "constant"))
        nc_axx__onnx_fail(o, NC_ERR_UNSUPPORTED, "mode '%.*s', where 'constant' is possible",
                          NC_AXX__ONNX_TEXT(a.text));
    if (count == UINT32_MAX || count != 2 * some)
        nc_axx__onnx_fail(o, NC_ERR_FORMAT, "pads that do not fit the axes");
    if (nc_axx__onnx_in(o, n, 2) && !nc_axx__onnx_single(nc_axx__onnx_in(o, n, 2), with))
        nc_axx__onnx_fail(o, NC_ERR_UNSUPPORTED, "a value that is not one number");
    for (i = 0; i < 2 * some && o->t.status == NC_OK; i++) {
        axis =
            nc_axx__onnx_axis(o, nc_axx__onnx_in(o, n, 3) ? axes[i % some] : i % some, from->rank);
        if (!(list[i] >= 0 && list[i] <= 65536))
            nc_axx__onnx_fail(o, NC_ERR_UNSUPPORTED, "pads of %ld",
                              list[i] > -1e6 && list[i] < 1e6 ? (long)list[i] : -1L);
        else
            pads[axis + (i < some ? 0 : 8)] = (uint32_t)list[i];
    }
}

static void nc_axx__onnx_emit_pad(nc_axx__onnx *o, const nc_axx__onnx_node *n) {
    const nc_axx__onnx_value *from = nc_axx__onnx_images(o, n, 0, 0, 0);
    nc_axx__onnx_value *to = nc_axx__onnx_out(o, n);
    double with = nc_axx__onnx_real(o, n, "value", 0);
    uint32_t pads[16] = {0}, number, i;
    size_t shape[NC_AXX__ONNX_AXES];
    nc_axx_node node = nc_axx__node_of(NC_AXX_NODE_PAD);
    if (!from) return;
    nc_axx__onnx_pads(o, n, from, pads, &with);
    i = from->batch == NC_AXX__ONNX_MERGED ? 0 : from->batch;
    if (pads[i] || pads[8 + i]) nc_axx__onnx_fail(o, NC_ERR_UNSUPPORTED, "more images");
    if (o->t.status != NC_OK) return;
    number = from->node;
    memcpy(shape, from->shape, sizeof shape);
    if (from->rank == 4 && !from->batch && !pads[1] && !pads[9] &&
        nc_axx__onnx_is_padded(o, (uint32_t)(to - o->values), with)) {
        nc_axx__onnx_is(to, number, 4, shape, 0);
        for (i = 0; i < 4; i++) to->padding[i] = pads[i < 2 ? 2 + i : 8 + i];
        return;
    }
    node.term = (float)with;
    for (i = 0; i < from->rank; i++) {
        if (!pads[i] && !pads[8 + i]) continue;
        node.axis = i - (from->batch < i);
        node.first = pads[i];
        shape[i] += pads[i] + pads[8 + i];
        node.out = (uint32_t)shape[i];
        number = nc_axx__onnx_add(o, &node, UINT32_MAX, &number, 1);
    }
    nc_axx__onnx_is(to, number, from->rank, shape, from->batch);
}

/* Means over these axes (bits of `over`): moved behind the others, and then a pool. */
static void nc_axx__onnx_means(nc_axx__onnx *o, const nc_axx__onnx_node *n,
                               const nc_axx__onnx_value *from, uint32_t over, int keep) {
    nc_axx_node node = nc_axx__node_of(NC_AXX_NODE_GLOBAL_MEAN_POOL);
    size_t shape[NC_AXX__ONNX_AXES], kept = 1, gone = 1;
    uint32_t order[NC_AXX__ONNX_AXES], image[NC_AXX__ONNX_AXES], rank = 0, axes = 0, number, i, k;
    for (k = 0; k < 2; k++) /* those that stay, then those that go */
        for (i = 1; i < from->rank; i++)
            if ((over >> i & 1) == k) {
                order[axes++] = i - 1;
                *(k ? &gone : &kept) *= from->shape[i];
            }
    for (i = 0; i < from->rank; i++)
        if (!(over >> i & 1) || keep) shape[rank++] = over >> i & 1 ? 1 : from->shape[i];
    number = nc_axx__onnx_permute(o, from->node, axes, order);
    image[0] = (uint32_t)kept;
    image[1] = (uint32_t)gone;
    image[2] = 1;
    number = nc_axx__onnx_reshape(o, number, 3, image);
    number = nc_axx__onnx_add(o, &node, UINT32_MAX, &number, 1);
    axes = nc_axx__onnx_per_image(o, rank, shape, 0, image);
    if (o->t.status == NC_OK) number = nc_axx__onnx_reshape(o, number, axes, image);
    nc_axx__onnx_is(nc_axx__onnx_out(o, n), number, rank, shape, 0);
}

static void nc_axx__onnx_emit_global_pool(nc_axx__onnx *o, const nc_axx__onnx_node *n) {
    const nc_axx__onnx_value *from = nc_axx__onnx_images(o, n, 0, 1, 4);
    if (from) nc_axx__onnx_means(o, n, from, 12, 1);
}

static void nc_axx__onnx_emit_mean(nc_axx__onnx *o, const nc_axx__onnx_node *n) {
    const nc_axx__onnx_value *from = nc_axx__onnx_images(o, n, 0, 1, 0);
    double axes[16];
    const uint32_t count = nc_axx__onnx_numbers(o, n, 1, "axes", axes);
    uint32_t over = 0, i;
    if (!from) return;
    if (count == UINT32_MAX || !count)
        nc_axx__onnx_fail(o, NC_ERR_UNSUPPORTED, "over all axes, images too");
    for (i = 0; i < count && o->t.status == NC_OK; i++)
        over |= 1u << nc_axx__onnx_axis(o, axes[i], from->rank);
    if (over & 1) nc_axx__onnx_fail(o, NC_ERR_UNSUPPORTED, "over the images");
    if (from->rank > 5) nc_axx__onnx_fail(o, NC_ERR_UNSUPPORTED, "of more than 4 axes");
    if (o->t.status == NC_OK)
        nc_axx__onnx_means(o, n, from, over, nc_axx__onnx_integer(o, n, "keepdims", 1) != 0);
}

/* -- ONNX: shapes of the images' values -- */

/* The values in another shape of as many, images first or merged with the first axis. */
static void nc_axx__onnx_reshaped(nc_axx__onnx *o, const nc_axx__onnx_node *n,
                                  const nc_axx__onnx_value *from, uint32_t rank,
                                  const size_t *shape) {
    uint32_t image[NC_AXX__ONNX_AXES + 1], axes, number, batch, i;
    const size_t images = o->batch ? o->batch : 1;
    size_t count = 1;
    for (i = 0; i < rank; i++) count = nc__mul_size(count, shape[i]);
    batch = rank && shape[0] == images ? 0 : NC_AXX__ONNX_MERGED;
    if (count != from->count) {
        nc_axx__onnx_fail(o, NC_ERR_FORMAT, "%lu values to a shape of %lu",
                          (unsigned long)(from->count / images), (unsigned long)(count / images));
        return;
    }
    if (!rank || shape[0] % images || (from->batch && from->batch != NC_AXX__ONNX_MERGED)) {
        nc_axx__onnx_fail(o, NC_ERR_UNSUPPORTED, "a shape that mixes the images");
        return;
    }
    axes = nc_axx__onnx_per_image(o, rank, shape, batch, image);
    number = nc_axx__onnx_reshape(o, from->node, axes, image);
    nc_axx__onnx_is(nc_axx__onnx_out(o, n), number, rank, shape, batch);
}

/* Of numbers and of images' values alike. */
static void nc_axx__onnx_shaped(nc_axx__onnx *o, const nc_axx__onnx_node *n, uint32_t rank,
                                const size_t *shape) {
    const nc_axx__onnx_value *from = nc_axx__onnx_in(o, n, 0);
    if (from->is == NC_AXX__ONNX_NUMBERS)
        nc_axx__onnx_same_numbers(o, n, rank, shape);
    else
        nc_axx__onnx_reshaped(o, n, from, rank, shape);
}

static void nc_axx__onnx_do_reshape(nc_axx__onnx *o, const nc_axx__onnx_node *n) {
    const nc_axx__onnx_value *from = nc_axx__onnx_in(o, n, 0), *to = nc_axx__onnx_in(o, n, 1);
    const int zeros = nc_axx__onnx_integer(o, n, "allowzero", 0) != 0;
    size_t shape[NC_AXX__ONNX_AXES], known = 1;
    uint32_t free_axis = UINT32_MAX, i;
    if (to->is != NC_AXX__ONNX_NUMBERS || to->count > NC_AXX__ONNX_AXES) {
        nc_axx__onnx_fail(o, NC_ERR_UNSUPPORTED,
                          "a shape that depends on the images, or of more "
                          "than 8 axes");
        return;
    }
    for (i = 0; i < to->count; i++) {
        const double one = nc_axx__onnx_number(to, i);
        if (one == 0 && !zeros && i < from->rank)
            shape[i] = from->shape[i];
        else
            shape[i] = one < 0 ? 1 : nc_axx__onnx_size(one);
        if (one < 0) free_axis = i;
        known = nc__mul_size(known, shape[i]);
    }
    if (free_axis != UINT32_MAX && known) shape[free_axis] = from->count / known;
    nc_axx__onnx_shaped(o, n, (uint32_t)to->count, shape);
}

static void nc_axx__onnx_do_flatten(nc_axx__onnx *o, const nc_axx__onnx_node *n) {
    const nc_axx__onnx_value *from = nc_axx__onnx_in(o, n, 0);
    const double axis = nc_axx__onnx_integer(o, n, "axis", 1);
    const uint32_t at = axis == from->rank ? from->rank : nc_axx__onnx_axis(o, axis, from->rank);
    size_t shape[2] = {1, 1};
    uint32_t i;
    for (i = 0; i < from->rank; i++) shape[i >= at] = nc__mul_size(shape[i >= at], from->shape[i]);
    nc_axx__onnx_shaped(o, n, 2, shape);
}

/* Axes of one place that go or come. Where that is the images' one, of one image, this is part of
 * what comes first. */
static void nc_axx__onnx_do_squeeze(nc_axx__onnx *o, const nc_axx__onnx_node *n) {
    const int away = nc_axx__word_is(n->type, "Squeeze");
    const nc_axx__onnx_value *from = nc_axx__onnx_in(o, n, 0);
    double axes[16];
    size_t shape[NC_AXX__ONNX_AXES];
    uint32_t count = nc_axx__onnx_numbers(o, n, 1, "axes", axes), bits = 0, rank = 0, i, k = 0;
    uint32_t all = from->rank + (away || count == UINT32_MAX ? 0 : count),
             batch = NC_AXX__ONNX_MERGED;
    if (all > NC_AXX__ONNX_AXES) nc_axx__onnx_fail(o, NC_ERR_LIMIT, "%u axes", (unsigned)all);
    for (i = 0; i < count && count != UINT32_MAX && o->t.status == NC_OK; i++) {
        const uint32_t bit = 1u << nc_axx__onnx_axis(o, axes[i], all);
        if (bits & bit) nc_axx__onnx_fail(o, NC_ERR_FORMAT, "an axis that is named twice");
        bits |= bit;
    }
    for (i = 0; i < from->rank && count == UINT32_MAX; i++)
        if (from->shape[i] == 1) bits |= 1u << i;
    for (i = 0; i < all && o->t.status == NC_OK; i++) {
        const size_t places = !away && bits >> i & 1 ? 1 : from->shape[k++];
        if (away && bits >> i & 1 && places == 1) continue;
        if (k - 1 == from->batch && (away || !(bits >> i & 1))) batch = rank;
        shape[rank++] = places;
    }
    if (o->t.status != NC_OK) return;
    if (from->is == NC_AXX__ONNX_NODE && from->batch && from->batch != NC_AXX__ONNX_MERGED) {
        uint32_t image[NC_AXX__ONNX_AXES + 1];
        const uint32_t axes_left = nc_axx__onnx_per_image(o, rank, shape, batch, image);
        nc_axx__onnx_is(nc_axx__onnx_out(o, n),
                        nc_axx__onnx_reshape(o, from->node, axes_left, image), rank, shape, batch);
        return;
    }
    nc_axx__onnx_shaped(o, n, rank, shape);
}

static void nc_axx__onnx_emit_transpose(nc_axx__onnx *o, const nc_axx__onnx_node *n) {
    const nc_axx__onnx_value *from = nc_axx__onnx_images(o, n, 0, 0, 0);
    size_t shape[NC_AXX__ONNX_AXES];
    uint32_t order[NC_AXX__ONNX_AXES], axes = 0, batch = NC_AXX__ONNX_MERGED, taken = 0, i, count;
    double perm[16];
    if (!from) return;
    count = nc_axx__onnx_list(o, n, "perm", perm);
    for (i = 0; i < from->rank && o->t.status == NC_OK; i++) {
        const uint32_t axis =
            count == UINT32_MAX ? from->rank - 1 - i : nc_axx__onnx_axis(o, perm[i], from->rank);
        taken |= 1u << axis;
        shape[i] = from->shape[axis];
        if (axis == from->batch)
            batch = i;
        else
            order[axes++] = axis - (from->batch < axis);
        if (from->batch == NC_AXX__ONNX_MERGED && !axis && i)
            nc_axx__onnx_fail(o, NC_ERR_UNSUPPORTED, "images that are a part of an axis move");
    }
    if ((count != UINT32_MAX && count != from->rank) || taken != (1u << from->rank) - 1)
        nc_axx__onnx_fail(o, NC_ERR_FORMAT, "an order that is none of %u axes",
                          (unsigned)from->rank);
    if (axes > 4) nc_axx__onnx_fail(o, NC_ERR_UNSUPPORTED, "%u axes of an image", (unsigned)axes);
    if (o->t.status != NC_OK) return;
    nc_axx__onnx_is(nc_axx__onnx_out(o, n), nc_axx__onnx_permute(o, from->node, axes, order),
                    from->rank, shape, batch);
}

/* A piece of a value, of numbers or of images' values. */
static void nc_axx__onnx_cut_value(nc_axx__onnx *o, const nc_axx__onnx_value *from,
                                   nc_axx__onnx_value *to, nc_axx__onnx_cut c) {
    nc_axx_node node = nc_axx__node_of(NC_AXX_NODE_SLICE);
    size_t shape[NC_AXX__ONNX_AXES];
    uint32_t image[NC_AXX__ONNX_AXES + 1], rank = 0, number = from->node, batch = from->batch, i;
    if (from->is == NC_AXX__ONNX_NUMBERS) {
        nc_axx__onnx_cut_numbers(o, from, to, c);
        return;
    }
    if (c.axis == (batch == NC_AXX__ONNX_MERGED ? 0 : batch) &&
        (c.places != from->shape[c.axis] || c.drop))
        nc_axx__onnx_fail(o, NC_ERR_UNSUPPORTED, "some images only");
    if (!c.places)
        nc_axx__onnx_fail(o, NC_ERR_UNSUPPORTED, "no place of axis %u", (unsigned)c.axis);
    for (i = 0; i < from->rank; i++)
        if (i != c.axis || !c.drop) shape[rank++] = i == c.axis ? c.places : from->shape[i];
    if (batch != NC_AXX__ONNX_MERGED && c.axis < batch && c.drop) batch--;
    node.axis = c.axis - (from->batch < c.axis);
    node.first = (uint32_t)c.first;
    node.out = (uint32_t)c.places;
    if (c.places != from->shape[c.axis])
        number = nc_axx__onnx_add(o, &node, UINT32_MAX, &number, 1);
    if (o->t.status != NC_OK) return;
    i = nc_axx__onnx_per_image(o, rank, shape, batch, image);
    nc_axx__onnx_is(to, nc_axx__onnx_reshape(o, number, i, image), rank, shape, batch);
}

/* Every so many numbers of an axis, backwards where step is below 0, as numpy has them. */
static void nc_axx__onnx_step_numbers(nc_axx__onnx *o, nc_axx__onnx_value *v, uint32_t axis,
                                      double start, double end, double step) {
    const double places = (double)v->shape[axis], top = step < 0 ? places - 1 : places;
    const nc_axx__onnx_value from = *v;
    size_t shape[NC_AXX__ONNX_AXES], inner = 1, i, k, count = 0;
    double *to;
    if (start < 0) start += places;
    if (end < 0) end += places;
    start = start < 0 ? (step < 0 ? -1 : 0) : start > top ? top : start;
    end = end < 0 ? (step < 0 ? -1 : 0) : end > top ? top : end;
    if (!(fabs(step) >= 1))
        nc_axx__onnx_fail(o, NC_ERR_FORMAT, "a step of 0");
    else if ((end - start) / step > 0)
        count = (size_t)ceil((end - start) / step);
    memcpy(shape, v->shape, sizeof shape);
    shape[axis] = count;
    for (i = axis + 1; i < v->rank; i++) inner *= v->shape[i];
    to = nc_axx__onnx_make(o, v, from.type, from.rank, shape);
    for (i = 0; to && count && i < v->count; i++) {
        k = (size_t)(start + step * (double)(i / inner % count)); /* the place of the axis */
        to[i] = nc_axx__onnx_number(&from,
                                    (i / inner / count * from.shape[axis] + k) * inner + i % inner);
    }
}

/* Every so many places of height or width: a pool of one place each. */
static void nc_axx__onnx_step(nc_axx__onnx *o, nc_axx__onnx_value *v, uint32_t axis, double step) {
    nc_axx_node node = nc_axx__node_of(NC_AXX_NODE_MAX_POOL);
    if (v->is != NC_AXX__ONNX_NODE || v->rank != 4 || v->batch || axis < 2 || !(step > 1) ||
        !(step <= 4096)) {
        nc_axx__onnx_fail(o, NC_ERR_UNSUPPORTED, "a step other than 1, not of height or width");
        return;
    }
    node.kernel[0] = node.kernel[1] = node.stride[0] = node.stride[1] = 1;
    node.stride[axis - 2] = (uint32_t)step;
    v->node = nc_axx__onnx_add(o, &node, UINT32_MAX, &v->node, 1);
    if (o->t.status == NC_OK) v->shape[axis] = o->g->nodes[v->node].shape[axis - 1];
}

static void nc_axx__onnx_do_slice(nc_axx__onnx *o, const nc_axx__onnx_node *n) {
    nc_axx__onnx_value v = *nc_axx__onnx_in(o, n, 0);
    double starts[16], ends[16], axes[16], steps[16];
    const uint32_t count = nc_axx__onnx_numbers(o, n, 1, "starts", starts);
    const uint32_t second = nc_axx__onnx_numbers(o, n, 2, "ends", ends);
    const uint32_t third = nc_axx__onnx_numbers(o, n, 3, "axes", axes);
    const uint32_t fourth =
        nc_axx__onnx_in(o, n, 4) ? nc_axx__onnx_numbers(o, n, 4, "steps", steps) : UINT32_MAX;
    uint32_t i;
    if (o->t.status != NC_OK) return;
    if (count > 16 || second != count || (third != UINT32_MAX && third != count) ||
        (fourth != UINT32_MAX && fourth != count)) {
        nc_axx__onnx_fail(o, NC_ERR_FORMAT, "starts, ends, axes and steps that do not fit");
        return;
    }
    for (i = 0; i < count && o->t.status == NC_OK; i++) {
        nc_axx__onnx_cut c;
        nc_axx__onnx_value piece = v;
        c.axis = nc_axx__onnx_axis(o, third == UINT32_MAX ? i : axes[i], v.rank);
        if (o->t.status == NC_OK && fourth != UINT32_MAX && steps[i] != 1 &&
            v.is == NC_AXX__ONNX_NUMBERS) {
            nc_axx__onnx_step_numbers(o, &v, c.axis, starts[i], ends[i], steps[i]);
            continue;
        }
        c.first = nc_axx__onnx_bound(starts[i], v.shape[c.axis]);
        c.places = nc_axx__onnx_bound(ends[i], v.shape[c.axis]);
        c.places = c.places > c.first ? c.places - c.first : 0;
        c.drop = 0;
        if (o->t.status != NC_OK) return;
        if (c.places != v.shape[c.axis]) nc_axx__onnx_cut_value(o, &v, &piece, c);
        v = piece;
        if (fourth != UINT32_MAX && steps[i] != 1) nc_axx__onnx_step(o, &v, c.axis, steps[i]);
    }
    if (o->t.status != NC_OK) return;
    v.producer = nc_axx__onnx_out(o, n)->producer;
    v.uses = nc_axx__onnx_out(o, n)->uses;
    v.fixed = nc_axx__onnx_out(o, n)->fixed;
    v.needed = nc_axx__onnx_out(o, n)->needed;
    *nc_axx__onnx_out(o, n) = v;
}

/* Whether an index is `first`, first + 1 and so on, of so many places; below 0 from the last. */
static int nc_axx__onnx_follows(const nc_axx__onnx_value *index, double first, size_t places) {
    size_t i;
    for (i = 0; i < index->count; i++) {
        double one = nc_axx__onnx_number(index, i);
        if (one < 0) one += (double)places;
        if (one != first + (double)i || !(one >= 0 && one < (double)places)) return 0;
    }
    return 1;
}

/* One place, without its axis, or (an index of one axis) neighbours; of a single axis also all in
 * their order, which is a shape (exporters make it of as_strided). */
static void nc_axx__onnx_do_gather(nc_axx__onnx *o, const nc_axx__onnx_node *n) {
    const nc_axx__onnx_value *from = nc_axx__onnx_in(o, n, 0), *index = nc_axx__onnx_in(o, n, 1);
    nc_axx__onnx_cut c;
    double first;
    c.axis = nc_axx__onnx_axis(o, nc_axx__onnx_integer(o, n, "axis", 0), from->rank);
    if (from->rank == 1 && index->is == NC_AXX__ONNX_NUMBERS && index->rank > 1 &&
        index->count == from->count && nc_axx__onnx_follows(index, 0, from->count)) {
        nc_axx__onnx_shaped(o, n, index->rank, index->shape);
        return;
    }
    if (o->t.status == NC_OK && (index->is != NC_AXX__ONNX_NUMBERS || index->rank > 1 ||
                                 !index->count || index->count > from->shape[c.axis]))
        nc_axx__onnx_fail(o, NC_ERR_UNSUPPORTED,
                          "an index that depends on the images, or of more "
                          "than one axis");
    if (o->t.status != NC_OK) return;
    first = nc_axx__onnx_number(index, 0);
    if (first < 0) first += (double)from->shape[c.axis];
    c.places = index->count;
    c.drop = !index->rank;
    if (!nc_axx__onnx_follows(index, first, from->shape[c.axis]))
        nc_axx__onnx_fail(o, NC_ERR_UNSUPPORTED, "places that do not follow each other");
    if (o->t.status != NC_OK) return;
    c.first = (size_t)first;
    nc_axx__onnx_cut_value(o, from, nc_axx__onnx_out(o, n), c);
}

static void nc_axx__onnx_do_split(nc_axx__onnx *o, const nc_axx__onnx_node *n) {
    const nc_axx__onnx_value *from = nc_axx__onnx_in(o, n, 0);
    double sizes[16];
    const uint32_t count = nc_axx__onnx_numbers(o, n, 1, "split", sizes);
    nc_axx__onnx_cut c;
    uint32_t i;
    memset(&c, 0, sizeof c);
    c.axis = nc_axx__onnx_axis(o, nc_axx__onnx_integer(o, n, "axis", 0), from->rank);
    if (o->t.status == NC_OK && count != UINT32_MAX && count != n->outputs)
        nc_axx__onnx_fail(o, NC_ERR_FORMAT, "%u pieces for %u outputs", (unsigned)count,
                          (unsigned)n->outputs);
    for (i = 0; i < n->outputs && o->t.status == NC_OK; i++) {
        const uint32_t number = o->lists[n->output + i];
        const size_t all = from->shape[c.axis], even = (all + n->outputs - 1) / n->outputs;
        c.places = count == UINT32_MAX               ? even
                   : sizes[i] >= 0 && sizes[i] < 1e9 ? (size_t)sizes[i]
                                                     : 0;
        if (count == UINT32_MAX && c.first + c.places > all) c.places = all - c.first;
        if (!c.places || c.first + c.places > all)
            nc_axx__onnx_fail(o, NC_ERR_FORMAT, "pieces beyond the axis");
        else if (number != UINT32_MAX && o->values[number].needed)
            nc_axx__onnx_cut_value(o, from, &o->values[number], c);
        c.first += c.places;
    }
}

static void nc_axx__onnx_emit_expand(nc_axx__onnx *o, const nc_axx__onnx_node *n) {
    const nc_axx__onnx_value *from = nc_axx__onnx_images(o, n, 0, 0, 0);
    nc_axx__onnx_value wanted;
    size_t shape[NC_AXX__ONNX_AXES];
    uint32_t rank, i;
    memset(&wanted, 0, sizeof wanted);
    if (!from) return;
    wanted.rank = nc_axx__onnx_shape_from(o, nc_axx__onnx_in(o, n, 1), wanted.shape);
    rank = nc_axx__onnx_together(o, from, &wanted, shape);
    for (i = 0; i < rank && rank == from->rank; i++)
        if (shape[i] != from->shape[i]) rank = 0;
    if (rank != from->rank)
        nc_axx__onnx_fail(o, NC_ERR_UNSUPPORTED, "images' values that are repeated");
    nc_axx__onnx_is(nc_axx__onnx_out(o, n), from->node, from->rank, from->shape, from->batch);
}

static void nc_axx__onnx_emit_concat(nc_axx__onnx *o, const nc_axx__onnx_node *n) {
    nc_axx_node node = nc_axx__node_of(NC_AXX_NODE_CONCAT);
    const nc_axx__onnx_value *from = NULL, *one;
    size_t shape[NC_AXX__ONNX_AXES];
    uint32_t inputs[64], axis, number, i;
    for (i = 0; i < n->inputs; i++) {
        one = nc_axx__onnx_in(o, n, i);
        if (one && one->is == NC_AXX__ONNX_NODE && !from) from = one;
    }
    if (!from || n->inputs > 64) return;
    axis = nc_axx__onnx_axis(o, nc_axx__onnx_integer(o, n, "axis", 1), from->rank);
    if (axis == from->batch || (from->batch == NC_AXX__ONNX_MERGED && !axis))
        nc_axx__onnx_fail(o, NC_ERR_UNSUPPORTED, "images behind images");
    memcpy(shape, from->shape, sizeof shape);
    shape[axis] = 0;
    for (i = 0; i < n->inputs && o->t.status == NC_OK; i++) {
        one = nc_axx__onnx_in(o, n, i);
        if (!one || one->rank != from->rank ||
            (one->is == NC_AXX__ONNX_NODE && one->batch != from->batch)) {
            nc_axx__onnx_fail(o, NC_ERR_UNSUPPORTED, "inputs of other axes");
            return;
        }
        shape[axis] = nc__add_size(shape[axis], one->shape[axis]);
        inputs[i] = one->node;
        if (one->is == NC_AXX__ONNX_NUMBERS) {
            uint32_t image[NC_AXX__ONNX_AXES + 1], axes;
            inputs[i] = nc_axx__onnx_parameter(o, one, from->rank, from->batch, 0);
            axes = nc_axx__onnx_per_image(o, from->rank, one->shape, from->batch, image);
            if (o->t.status == NC_OK) inputs[i] = nc_axx__onnx_reshape(o, inputs[i], axes, image);
        }
    }
    node.axis = axis - (from->batch < axis);
    number = nc_axx__onnx_add(o, &node, UINT32_MAX, inputs, n->inputs);
    nc_axx__onnx_is(nc_axx__onnx_out(o, n), number, from->rank, shape, from->batch);
}

/* Add, Sub, Mul, Div: by one number, by numbers that are learned, by other values. */
static void nc_axx__onnx_emit_scale(nc_axx__onnx *o, const nc_axx__onnx_node *n,
                                    const nc_axx__onnx_value *from, double number, int first) {
    nc_axx_node node = nc_axx__node_of(NC_AXX_NODE_SCALE);
    node.factor = 1.0f;
    if (nc_axx__word_is(n->type, "Mul"))
        node.factor = (float)number;
    else if (nc_axx__word_is(n->type, "Div"))
        node.factor = (float)(1.0 / number);
    else
        node.term = (float)(nc_axx__word_is(n->type, "Sub") && !first ? -number : number);
    if (first && nc_axx__word_is(n->type, "Sub")) node.factor = -1.0f;
    if (node.factor == 0.0f || (first && nc_axx__word_is(n->type, "Div"))) {
        nc_axx__onnx_fail(o, NC_ERR_UNSUPPORTED, "by 0, or a number divided by values");
        return;
    }
    nc_axx__onnx_emit_alike(o, n, (uint32_t)(from - o->values), node);
}

static void nc_axx__onnx_emit_pair(nc_axx__onnx *o, const nc_axx__onnx_node *n) {
    const int product = nc_axx__word_is(n->type, "Mul") || nc_axx__word_is(n->type, "Div");
    nc_axx_node node = nc_axx__node_of(product ? NC_AXX_NODE_MULTIPLY : NC_AXX_NODE_ADD);
    nc_axx_node minus = nc_axx__node_of(NC_AXX_NODE_SCALE);
    const nc_axx__onnx_value *two[2], *from;
    size_t shape[NC_AXX__ONNX_AXES];
    uint32_t inputs[2], rank, other, i;
    double number;
    two[0] = nc_axx__onnx_in(o, n, 0);
    two[1] = nc_axx__onnx_in(o, n, 1);
    other = two[1]->is == NC_AXX__ONNX_NODE ? 0 : 1;
    from = two[1 - other];
    if (nc_axx__onnx_single(two[other], &number) && two[other]->rank <= from->rank) {
        nc_axx__onnx_emit_scale(o, n, from, number, !other);
        return;
    }
    rank = nc_axx__onnx_together(o, two[0], two[1], shape);
    if (two[other]->is == NC_AXX__ONNX_NODE &&
        (two[0]->batch == NC_AXX__ONNX_MERGED || two[1]->batch == NC_AXX__ONNX_MERGED
             ? two[0]->batch != two[1]->batch || two[0]->rank != two[1]->rank
             : two[0]->rank - two[0]->batch != two[1]->rank - two[1]->batch))
        nc_axx__onnx_fail(o, NC_ERR_UNSUPPORTED, "images in different axes");
    if (nc_axx__word_is(n->type, "Div") && !(other && two[1]->is == NC_AXX__ONNX_NUMBERS))
        nc_axx__onnx_fail(o, NC_ERR_UNSUPPORTED, "division by values that depend on the images");
    for (i = 0; i < 2 && o->t.status == NC_OK; i++)
        inputs[i] = two[i]->is == NC_AXX__ONNX_NODE
                        ? two[i]->node
                        : nc_axx__onnx_parameter(o, two[i], from->rank, from->batch,
                                                 nc_axx__word_is(n->type, "Div"));
    if (o->t.status != NC_OK) return;
    minus.factor = -1.0f;
    if (nc_axx__word_is(n->type, "Sub"))
        inputs[1] = nc_axx__onnx_add(o, &minus, UINT32_MAX, &inputs[1], 1);
    inputs[0] = nc_axx__onnx_add(o, &node, UINT32_MAX, inputs, 2);
    i = from->batch == NC_AXX__ONNX_MERGED ? from->batch : rank - (from->rank - from->batch);
    nc_axx__onnx_is(nc_axx__onnx_out(o, n), inputs[0], rank, shape, i);
}

/* -- ONNX: several nodes that are one of the graph -- */

/* The node that makes a value, if it is of this type and so many take the value; else null. */
static const nc_axx__onnx_node *nc_axx__onnx_maker(const nc_axx__onnx *o, uint32_t value,
                                                   const char *type, uint32_t uses) {
    const nc_axx__onnx_value *v = value == UINT32_MAX ? NULL : &o->values[value];
    const nc_axx__onnx_node *n;
    if (!v || v->producer == UINT32_MAX || v->uses != uses) return NULL;
    n = &o->nodes[v->producer];
    return n->op && n->inputs && nc_axx__word_is(n->type, type) ? n : NULL;
}

static uint32_t nc_axx__onnx_input(const nc_axx__onnx *o, const nc_axx__onnx_node *n, uint32_t i) {
    return n && i < n->inputs ? o->lists[n->input + i] : UINT32_MAX;
}

static int nc_axx__onnx_is_about(const nc_axx__onnx *o, uint32_t value, double number) {
    double one;
    return value != UINT32_MAX && nc_axx__onnx_single(&o->values[value], &one) &&
           fabs(one - number) < 1e-5;
}

/* Of two inputs the one that is not the number; UINT32_MAX where none is the number. */
static uint32_t nc_axx__onnx_beside(const nc_axx__onnx *o, const nc_axx__onnx_node *n,
                                    double number) {
    const uint32_t a = nc_axx__onnx_input(o, n, 0), b = nc_axx__onnx_input(o, n, 1);
    return nc_axx__onnx_is_about(o, b, number)   ? a
           : nc_axx__onnx_is_about(o, a, number) ? b
                                                 : UINT32_MAX;
}

/* x, if the value is 1 + erf(x / sqrt 2). */
static uint32_t nc_axx__onnx_erf_of(const nc_axx__onnx *o, uint32_t value) {
    uint32_t at = nc_axx__onnx_beside(o, nc_axx__onnx_maker(o, value, "Add", 1), 1.0);
    const uint32_t y = nc_axx__onnx_input(o, nc_axx__onnx_maker(o, at, "Erf", 1), 0);
    at = nc_axx__onnx_beside(o, nc_axx__onnx_maker(o, y, "Div", 1), 1.41421356);
    return at != UINT32_MAX
               ? at
               : nc_axx__onnx_beside(o, nc_axx__onnx_maker(o, y, "Mul", 1), 0.70710678);
}

/* x, if the product of these three is x/2 (1 + erf(x / sqrt 2)). */
static uint32_t nc_axx__onnx_gelu_of(const nc_axx__onnx *o, uint32_t a, uint32_t b, uint32_t c) {
    const uint32_t three[3] = {a, b, c};
    uint32_t i, k;
    for (i = 0; i < 3; i++)
        for (k = 0; k < 3; k++)
            if (i != k && three[3 - i - k] != UINT32_MAX &&
                nc_axx__onnx_is_about(o, three[i], 0.5) &&
                nc_axx__onnx_erf_of(o, three[k]) == three[3 - i - k])
                return three[3 - i - k];
    return UINT32_MAX;
}

/* A mean over the last axis, which stays. */
static uint32_t nc_axx__onnx_mean_of(nc_axx__onnx *o, uint32_t value) {
    const nc_axx__onnx_node *n = nc_axx__onnx_maker(o, value, "ReduceMean", 1);
    double axes[16];
    if (!n || nc_axx__onnx_integer(o, n, "keepdims", 1) != 1 ||
        (nc_axx__onnx_in(o, n, 1) && nc_axx__onnx_in(o, n, 1)->is != NC_AXX__ONNX_NUMBERS) ||
        nc_axx__onnx_numbers(o, n, 1, "axes", axes) != 1 || axes[0] != -1)
        return UINT32_MAX;
    return nc_axx__onnx_input(o, n, 0);
}

/* The parts of (x - mean) / sqrt(variance + eps) weight + bias; 0: the node is none of that. */
static int nc_axx__onnx_norm_parts(nc_axx__onnx *o, const nc_axx__onnx_node *n, uint32_t *parts) {
    const nc_axx__onnx_node *scaled = NULL, *quotient = NULL, *sum, *less;
    uint32_t i, k, d, squared;
    for (i = 0; i < 2 && !scaled; i++) {
        scaled = nc_axx__onnx_maker(o, nc_axx__onnx_input(o, n, i), "Mul", 1);
        parts[2] = nc_axx__onnx_input(o, n, 1 - i);
    }
    for (k = 0; k < 2 && !quotient; k++) {
        quotient = nc_axx__onnx_maker(o, nc_axx__onnx_input(o, scaled, k), "Div", 1);
        parts[1] = nc_axx__onnx_input(o, scaled, 1 - k);
    }
    if (!quotient || parts[1] == UINT32_MAX || parts[2] == UINT32_MAX ||
        o->values[parts[1]].is != NC_AXX__ONNX_NUMBERS ||
        o->values[parts[2]].is != NC_AXX__ONNX_NUMBERS)
        return 0;
    d = nc_axx__onnx_input(o, quotient, 0);
    sum = nc_axx__onnx_maker(o, nc_axx__onnx_input(o, quotient, 1), "Sqrt", 1);
    sum = sum ? nc_axx__onnx_maker(o, nc_axx__onnx_input(o, sum, 0), "Add", 1) : NULL;
    squared = nc_axx__onnx_mean_of(o, nc_axx__onnx_input(o, sum, 0));
    parts[3] = nc_axx__onnx_input(o, sum, 1);
    less = nc_axx__onnx_maker(o, d, "Sub", 2);
    if (!less || nc_axx__onnx_beside(o, nc_axx__onnx_maker(o, squared, "Pow", 1), 2.0) != d ||
        parts[3] == UINT32_MAX || o->values[parts[3]].is != NC_AXX__ONNX_NUMBERS)
        return 0;
    parts[0] = nc_axx__onnx_input(o, less, 0);
    return parts[0] != UINT32_MAX &&
           nc_axx__onnx_mean_of(o, nc_axx__onnx_input(o, less, 1)) == parts[0];
}

static void nc_axx__onnx_emit_norm_parts(nc_axx__onnx *o, const nc_axx__onnx_node *n) {
    const nc_axx__onnx_value *from = nc_axx__onnx_images(o, n, 0, 0, 0);
    const nc_axx__onnx_value *w = from ? nc_axx__onnx_weights(o, n, 1, 1) : NULL;
    const nc_axx__onnx_value *bias = w ? nc_axx__onnx_weights(o, n, 2, 1) : NULL;
    double eps = 0;
    if (bias && nc_axx__onnx_single(nc_axx__onnx_in(o, n, 3), &eps))
        nc_axx__onnx_layer_norm(o, n, from, w, bias, eps);
}

static void nc_axx__onnx_emit_biased(nc_axx__onnx *o, const nc_axx__onnx_node *n) {
    const nc_axx__onnx_value *from = nc_axx__onnx_images(o, n, 0, 0, 0);
    const nc_axx__onnx_value *w = from ? nc_axx__onnx_weights(o, n, 1, 2) : NULL;
    const nc_axx__onnx_value *bias = w ? nc_axx__onnx_weights(o, n, 2, 1) : NULL;
    if (bias) nc_axx__onnx_linear(o, n, from, w, bias);
}

static void nc_axx__onnx_emit_silu(nc_axx__onnx *o, const nc_axx__onnx_node *n) {
    const nc_axx__onnx_value *from = nc_axx__onnx_images(o, n, 0, 0, 0);
    if (from)
        nc_axx__onnx_emit_alike(o, n, (uint32_t)(from - o->values),
                                nc_axx__node_of(NC_AXX_NODE_SILU));
}

static void nc_axx__onnx_emit_gelu(nc_axx__onnx *o, const nc_axx__onnx_node *n) {
    const nc_axx__onnx_value *from = nc_axx__onnx_images(o, n, 0, 0, 0);
    if (from)
        nc_axx__onnx_emit_alike(o, n, (uint32_t)(from - o->values),
                                nc_axx__node_of(NC_AXX_NODE_GELU));
}

/* Whether numbers, transposed or not, are a matrix. */
static int nc_axx__onnx_is_matrix(const nc_axx__onnx *o, uint32_t value) {
    const nc_axx__onnx_node *n = nc_axx__onnx_maker(o, value, "Transpose", 1);
    if (n) value = nc_axx__onnx_input(o, n, 0);
    return value != UINT32_MAX && o->values[value].is == NC_AXX__ONNX_NUMBERS &&
           o->values[value].rank == 2;
}

/* A node that ends such a group becomes the group, with what goes into it. */
static void nc_axx__onnx_join(nc_axx__onnx *o, nc_axx__onnx_node *n) {
    static const nc_axx__onnx_op norm = {"", 4, 4, 0, "", NULL, nc_axx__onnx_emit_norm_parts};
    static const nc_axx__onnx_op biased = {"", 3, 3, 0, "", NULL, nc_axx__onnx_emit_biased};
    static const nc_axx__onnx_op silu = {"", 1, 1, 0, "", NULL, nc_axx__onnx_emit_silu};
    static const nc_axx__onnx_op gelu = {"", 1, 1, 0, "", NULL, nc_axx__onnx_emit_gelu};
    const nc_axx__onnx_op *op = NULL;
    uint32_t parts[4], two[2], i;
    two[0] = nc_axx__onnx_input(o, n, 0);
    two[1] = nc_axx__onnx_input(o, n, 1);
    if (nc_axx__word_is(n->type, "Add") && nc_axx__onnx_norm_parts(o, n, parts)) op = &norm;
    for (i = 0; i < 2 && !op && two[0] != UINT32_MAX && two[1] != UINT32_MAX; i++) {
        const uint32_t one = two[i], other = two[1 - i];
        const nc_axx__onnx_node *by = nc_axx__onnx_maker(o, one, "MatMul", 1);
        if (nc_axx__word_is(n->type, "Add") && by &&
            nc_axx__onnx_is_matrix(o, nc_axx__onnx_input(o, by, 1)) &&
            o->values[other].is == NC_AXX__ONNX_NUMBERS && o->values[other].rank == 1) {
            parts[0] = nc_axx__onnx_input(o, by, 0);
            parts[1] = nc_axx__onnx_input(o, by, 1);
            parts[2] = other;
            op = &biased;
        }
        if (!nc_axx__word_is(n->type, "Mul")) continue;
        by = nc_axx__onnx_maker(o, one, "Sigmoid", 1);
        parts[0] = other;
        if (nc_axx__onnx_input(o, by, 0) == other) op = &silu;
        by = op ? NULL : nc_axx__onnx_maker(o, one, "Mul", 1);
        if (!by) continue;
        parts[0] = nc_axx__onnx_gelu_of(o, nc_axx__onnx_input(o, by, 0),
                                        nc_axx__onnx_input(o, by, 1), other);
        if (parts[0] != UINT32_MAX) op = &gelu;
    }
    if (!op) return;
    n->op = op;
    n->input = (uint32_t)stbds_arrlenu(o->lists);
    n->inputs = op->least;
    for (i = 0; i < op->least; i++) stbds_arrput(o->lists, parts[i]);
}

/* -- ONNX: the file -- */

static const nc_axx__onnx_op nc_axx__onnx_ops[] = {
#define NC_AXX__BOTH(name) nc_axx__onnx_do_##name, nc_axx__onnx_do_##name
    {"Constant", 0, 0, 1, "value value_float value_int value_floats value_ints ",
     nc_axx__onnx_compute_constant, NULL},
    {"Shape", 1, 1, 1, "start end ", nc_axx__onnx_compute_shape, NULL},
    {"Identity", 1, 1, 1, "", nc_axx__onnx_compute_same, nc_axx__onnx_emit_same},
    {"Cast", 1, 1, 6, "to saturate ", nc_axx__onnx_compute_cast, nc_axx__onnx_emit_same},
    {"Dropout", 1, 3, 7, "ratio seed ", NULL, nc_axx__onnx_emit_same},
    {"Conv", 2, 3, 1, "auto_pad dilations group kernel_shape pads strides ", NULL,
     nc_axx__onnx_emit_convolution},
    {"ConvTranspose", 2, 3, 1, "auto_pad dilations group kernel_shape output_padding pads strides ",
     NULL, nc_axx__onnx_emit_convolution},
    {"Gemm", 2, 3, 7, "alpha beta transA transB ", NULL, nc_axx__onnx_emit_gemm},
    {"MatMul", 2, 2, 1, "", NULL, nc_axx__onnx_emit_matmul},
    {"BatchNormalization", 5, 5, 9, "epsilon momentum training_mode ", NULL,
     nc_axx__onnx_emit_batch_norm},
    {"LayerNormalization", 2, 3, 17, "axis epsilon stash_type ", NULL,
     nc_axx__onnx_emit_layer_norm},
    {"Softmax", 1, 1, 1, "axis ", NULL, nc_axx__onnx_emit_softmax},
    {"Relu", 1, 1, 6, "", NULL, nc_axx__onnx_emit_activation},
    {"Sigmoid", 1, 1, 6, "", NULL, nc_axx__onnx_emit_activation},
    {"HardSigmoid", 1, 1, 6, "alpha beta ", NULL, nc_axx__onnx_emit_activation},
    {"HardSwish", 1, 1, 14, "", NULL, nc_axx__onnx_emit_activation},
    {"Tanh", 1, 1, 6, "", NULL, nc_axx__onnx_emit_activation},
    {"Gelu", 1, 1, 20, "approximate ", NULL, nc_axx__onnx_emit_activation},
    {"Erf", 1, 1, 9, "", NULL, NULL},
    {"Clip", 1, 3, 6, "min max ", nc_axx__onnx_compute_clip, nc_axx__onnx_emit_clip},
    {"Pad", 1, 4, 2, "mode pads value ", NULL, nc_axx__onnx_emit_pad},
    {"MaxPool", 1, 1, 1, "auto_pad ceil_mode dilations kernel_shape pads storage_order strides ",
     NULL, nc_axx__onnx_emit_pool},
    {"AveragePool", 1, 1, 7,
     "auto_pad ceil_mode count_include_pad dilations kernel_shape pads strides ", NULL,
     nc_axx__onnx_emit_pool},
    {"GlobalAveragePool", 1, 1, 1, "", NULL, nc_axx__onnx_emit_global_pool},
    {"ReduceMean", 1, 2, 1, "axes keepdims noop_with_empty_axes ", NULL, nc_axx__onnx_emit_mean},
    {"Add", 2, 2, 7, "", nc_axx__onnx_compute_pair, nc_axx__onnx_emit_pair},
    {"Sub", 2, 2, 7, "", nc_axx__onnx_compute_pair, nc_axx__onnx_emit_pair},
    {"Mul", 2, 2, 7, "", nc_axx__onnx_compute_pair, nc_axx__onnx_emit_pair},
    {"Div", 2, 2, 7, "", nc_axx__onnx_compute_pair, nc_axx__onnx_emit_pair},
    {"Mod", 2, 2, 10, "", nc_axx__onnx_compute_pair, NULL},
    {"Equal", 2, 2, 7, "", nc_axx__onnx_compute_pair, NULL},
    {"Pow", 2, 2, 7, "", nc_axx__onnx_compute_pair, NULL},
    {"Sqrt", 1, 1, 6, "", nc_axx__onnx_compute_one, NULL},
    {"Ceil", 1, 1, 6, "", nc_axx__onnx_compute_one, NULL},
    {"Where", 3, 3, 9, "", nc_axx__onnx_compute_where, NULL},
    {"ConstantOfShape", 1, 1, 9, "value ", nc_axx__onnx_compute_filled, NULL},
    {"Concat", 1, 64, 4, "axis ", nc_axx__onnx_compute_concat, nc_axx__onnx_emit_concat},
    {"Expand", 2, 2, 8, "", nc_axx__onnx_compute_expand, nc_axx__onnx_emit_expand},
    {"Transpose", 1, 1, 1, "perm ", nc_axx__onnx_compute_transpose, nc_axx__onnx_emit_transpose},
    {"Reshape", 2, 2, 5, "allowzero ", NC_AXX__BOTH(reshape)},
    {"Flatten", 1, 1, 1, "axis ", NC_AXX__BOTH(flatten)},
    {"Squeeze", 1, 2, 1, "axes ", NC_AXX__BOTH(squeeze)},
    {"Unsqueeze", 1, 2, 1, "axes ", NC_AXX__BOTH(squeeze)},
    {"Slice", 1, 5, 1, "starts ends axes ", NC_AXX__BOTH(slice)},
    {"Gather", 2, 2, 1, "axis ", NC_AXX__BOTH(gather)},
    {"Split", 1, 2, 2, "axis split num_outputs ", NC_AXX__BOTH(split)},
#undef NC_AXX__BOTH
};

/* Names of inputs or outputs, behind those in `lists`. Their count. */
static uint32_t nc_axx__onnx_read_names(nc_axx__onnx *o, nc_axx__word message, uint32_t field,
                                        uint32_t *first) {
    nc_axx__proto p = nc_axx__proto_of(message);
    uint32_t count = 0;
    *first = (uint32_t)stbds_arrlenu(o->lists);
    while (nc_axx__proto_next(o, &p))
        if (p.field == field) {
            const uint32_t value = nc_axx__onnx_value_of(o, p.bytes);
            stbds_arrput(o->lists, value);
            count++;
        }
    return count;
}

/* NodeProto. */
static void nc_axx__onnx_read_node(nc_axx__onnx *o, nc_axx__word message) {
    const uint32_t number = (uint32_t)stbds_arrlenu(o->nodes);
    nc_axx__proto p = nc_axx__proto_of(message);
    nc_axx__onnx_node n;
    uint32_t i;
    memset(&n, 0, sizeof n);
    n.body = message;
    while (nc_axx__proto_next(o, &p)) {
        if (p.field == 3) n.name = p.bytes;
        if (p.field == 4) n.type = p.bytes;
        if (p.field == 7) n.domain = p.bytes;
    }
    if (number == 16384) nc_axx__onnx_fail(o, NC_ERR_LIMIT, "more than 16,384 nodes");
    n.inputs = nc_axx__onnx_read_names(o, message, 1, &n.input);
    n.outputs = nc_axx__onnx_read_names(o, message, 2, &n.output);
    if (!n.name.length && n.outputs && o->lists[n.output] != UINT32_MAX)
        n.name = o->names.list[o->lists[n.output]];
    if (!n.domain.length || nc_axx__word_is(n.domain, "ai.onnx"))
        for (i = 0; i < sizeof nc_axx__onnx_ops / sizeof *nc_axx__onnx_ops; i++)
            if (nc_axx__word_is(n.type, nc_axx__onnx_ops[i].name)) n.op = &nc_axx__onnx_ops[i];
    for (i = 0; i < n.inputs; i++)
        if (o->lists[n.input + i] != UINT32_MAX) o->values[o->lists[n.input + i]].uses++;
    for (i = 0; i < n.outputs && o->t.status == NC_OK; i++) {
        const uint32_t value = o->lists[n.output + i];
        if (value == UINT32_MAX) continue;
        if (o->values[value].producer != UINT32_MAX)
            nc_axx__onnx_fail(o, NC_ERR_FORMAT, "two nodes make '%.*s'",
                              NC_AXX__ONNX_TEXT(o->names.list[value]));
        o->values[value].producer = number;
    }
    if (!n.outputs || o->lists[n.output] == UINT32_MAX)
        nc_axx__onnx_fail(o, NC_ERR_FORMAT, "node '%.*s' makes nothing", NC_AXX__ONNX_TEXT(n.name));
    stbds_arrput(o->nodes, n);
}

static void nc_axx__onnx_read_initializer(nc_axx__onnx *o, nc_axx__word message) {
    nc_axx__onnx_value v, *to;
    nc_axx__word name;
    uint32_t number;
    memset(&v, 0, sizeof v);
    name = nc_axx__onnx_tensor(o, message, &v);
    number = nc_axx__onnx_value_of(o, name);
    if (o->t.status != NC_OK) return;
    if (number == UINT32_MAX || o->values[number].is != NC_AXX__ONNX_NOTHING ||
        o->values[number].producer != UINT32_MAX) {
        nc_axx__onnx_fail(o, NC_ERR_FORMAT, "tensor '%.*s' has no name or one that is taken",
                          NC_AXX__ONNX_TEXT(name));
        return;
    }
    to = &o->values[number];
    v.uses = to->uses;
    v.producer = UINT32_MAX;
    v.fixed = 1;
    *to = v;
}

/* The size of an axis, -1 for one that has none: TensorShapeProto.Dimension. */
static double nc_axx__onnx_dimension(nc_axx__onnx *o, nc_axx__word message, nc_axx__word *symbol) {
    nc_axx__proto p = nc_axx__proto_of(message);
    double places = -1;
    while (nc_axx__proto_next(o, &p)) {
        if (p.field == 1) places = (double)(int64_t)p.value;
        if (p.field == 2) *symbol = p.bytes;
    }
    return places;
}

/* The message in a message's last field of this number. */
static nc_axx__word nc_axx__proto_part(nc_axx__onnx *o, nc_axx__word message, uint32_t field) {
    nc_axx__proto p = nc_axx__proto_of(message);
    nc_axx__word part = {NULL, 0};
    while (nc_axx__proto_next(o, &p))
        if (p.field == field) part = p.bytes;
    return part;
}

/* ValueInfoProto of the images: the first axis is the batch, of any size. */
static void nc_axx__onnx_read_input(nc_axx__onnx *o, nc_axx__word message, uint32_t number) {
    const nc_axx__word tensor = nc_axx__proto_part(o, nc_axx__proto_part(o, message, 2), 1);
    const nc_axx__word name = o->names.list[number];
    nc_axx__proto p = nc_axx__proto_of(tensor);
    nc_axx_node node = nc_axx__node_of(NC_AXX_NODE_INPUT);
    size_t shape[NC_AXX__ONNX_AXES];
    uint32_t rank = 0, type = 0;
    char text[64];
    while (nc_axx__proto_next(o, &p))
        if (p.field == 1) type = (uint32_t)p.value;
    p = nc_axx__proto_of(nc_axx__proto_part(o, tensor, 2));
    while (nc_axx__proto_next(o, &p)) {
        nc_axx__word symbol = {NULL, 0};
        double places;
        if (p.field != 1) continue;
        places = nc_axx__onnx_dimension(o, p.bytes, &symbol);
        if (!rank && !(places > 0)) places = NC_AXX__ONNX_ANY;
        if (!(places >= 1 && places <= 16777216.0)) {
            nc_axx__onnx_fail(o, NC_ERR_UNSUPPORTED,
                              "axis %u of input '%.*s' is '%.*s', no size: export it with one",
                              (unsigned)rank, NC_AXX__ONNX_TEXT(name), NC_AXX__ONNX_TEXT(symbol));
            return;
        }
        if (rank < 5) shape[rank] = (size_t)places;
        if (rank && rank < 5) node.shape[rank - 1] = (uint32_t)places;
        rank++;
    }
    if (rank < 2 || rank > 5 || type != NC_AXX__ONNX_FLOAT) {
        nc_axx__onnx_fail(o, NC_ERR_UNSUPPORTED,
                          "input '%.*s' has %u axes of data type %u, where 2 to 5 of float32 are "
                          "possible",
                          NC_AXX__ONNX_TEXT(name), (unsigned)rank, (unsigned)type);
        return;
    }
    if (o->t.status != NC_OK) return;
    nc_axx__onnx_name(o, name, text, sizeof text);
    node.name = text;
    node.rank = rank - 1;
    o->t.status = nc_axx_graph_add(o->g, &node, NULL, o->t.err);
    o->batch = shape[0];
    o->input = number;
    nc_axx__onnx_is(&o->values[number], 0, rank, shape, 0);
}

/* GraphProto. */
static void nc_axx__onnx_read_graph(nc_axx__onnx *o, nc_axx__word message) {
    nc_axx__proto p = nc_axx__proto_of(message);
    while (nc_axx__proto_next(o, &p))
        if (p.field == 1)
            nc_axx__onnx_read_node(o, p.bytes);
        else if (p.field == 5)
            nc_axx__onnx_read_initializer(o, p.bytes);
        else if (p.field == 12) {
            o->output = nc_axx__onnx_value_of(o, nc_axx__proto_part(o, p.bytes, 1));
            o->output_count++;
        } else if (p.field == 15)
            nc_axx__onnx_fail(o, NC_ERR_UNSUPPORTED, "sparse weights");
    for (p = nc_axx__proto_of(message); nc_axx__proto_next(o, &p);) {
        uint32_t number;
        if (p.field != 11) continue;
        number = nc_axx__onnx_value_of(o, nc_axx__proto_part(o, p.bytes, 1));
        if (number == UINT32_MAX || o->values[number].producer != UINT32_MAX)
            nc_axx__onnx_fail(o, NC_ERR_FORMAT, "an input without a name, or made by a node");
        else if (o->values[number].is == NC_AXX__ONNX_NODE || o->input != UINT32_MAX) {
            if (o->values[number].is != NC_AXX__ONNX_NUMBERS)
                nc_axx__onnx_fail(o, NC_ERR_UNSUPPORTED, "a second input, '%.*s'",
                                  NC_AXX__ONNX_TEXT(o->names.list[number]));
        } else if (o->values[number].is == NC_AXX__ONNX_NOTHING)
            nc_axx__onnx_read_input(o, p.bytes, number);
    }
    if (o->input == UINT32_MAX) nc_axx__onnx_fail(o, NC_ERR_FORMAT, "no input: no network");
    if (o->output_count != 1 || o->output == UINT32_MAX)
        nc_axx__onnx_fail(o, NC_ERR_UNSUPPORTED, "%u outputs, where 1 is possible",
                          (unsigned)o->output_count);
}

/* ModelProto: the graph, and the version of the operators (OperatorSetIdProto). */
static void nc_axx__onnx_read_model(nc_axx__onnx *o, nc_axx__word file) {
    nc_axx__proto p = nc_axx__proto_of(file), set;
    nc_axx__word graph = {NULL, 0};
    while (nc_axx__proto_next(o, &p)) {
        nc_axx__word domain = {NULL, 0};
        uint64_t version = 0;
        if (p.field == 7) graph = p.bytes;
        if (p.field != 8) continue;
        for (set = nc_axx__proto_of(p.bytes); nc_axx__proto_next(o, &set);) {
            if (set.field == 1) domain = set.bytes;
            if (set.field == 2) version = set.value;
        }
        if (!domain.length || nc_axx__word_is(domain, "ai.onnx"))
            o->opset = version < 1000 ? (uint32_t)version : 1000;
    }
    if (!graph.length) nc_axx__onnx_fail(o, NC_ERR_FORMAT, "no graph: no ONNX file");
    if (o->opset < 7 || o->opset > 26)
        nc_axx__onnx_fail(o, NC_ERR_UNSUPPORTED,
                          "operators of version %u, where 7 to 26 are possible",
                          (unsigned)o->opset);
    if (o->t.status == NC_OK) nc_axx__onnx_read_graph(o, graph);
}

/* What does not depend on images, and constants, which the groups are known by. */
static void nc_axx__onnx_find_fixed(nc_axx__onnx *o) {
    size_t i;
    uint32_t k;
    for (i = 0; i < stbds_arrlenu(o->nodes) && o->t.status == NC_OK; i++) {
        nc_axx__onnx_node *n = &o->nodes[i];
        int fixed = n->op && n->op->compute;
        o->n = n;
        for (k = 0; k < n->inputs; k++) {
            const nc_axx__onnx_value *v = nc_axx__onnx_in(o, n, k);
            if (!v) continue;
            if (v->is == NC_AXX__ONNX_NOTHING && (v->producer == UINT32_MAX || v->producer >= i))
                nc_axx__onnx_fail(o, NC_ERR_FORMAT,
                                  "it takes '%.*s', which nothing before it makes",
                                  NC_AXX__ONNX_TEXT(o->names.list[v - o->values]));
            fixed = fixed && (v->fixed || nc_axx__word_is(n->type, "Shape"));
        }
        n->fixed = (uint8_t)fixed;
        for (k = 0; k < n->outputs; k++)
            if (o->lists[n->output + k] != UINT32_MAX)
                o->values[o->lists[n->output + k]].fixed = (uint8_t)fixed;
        if (fixed && (nc_axx__word_is(n->type, "Constant") ||
                      (nc_axx__word_is(n->type, "Identity") && nc_axx__onnx_in(o, n, 0) &&
                       nc_axx__onnx_in(o, n, 0)->is == NC_AXX__ONNX_NUMBERS)))
            n->op->compute(o, n);
    }
    o->n = NULL;
}

/* From the output back: what it depends on, in groups where they are known. */
static void nc_axx__onnx_find_needed(nc_axx__onnx *o) {
    size_t i;
    uint32_t k;
    o->values[o->output].needed = 1;
    o->values[o->output].uses++;
    for (i = stbds_arrlenu(o->nodes); i-- > 0 && o->t.status == NC_OK;) {
        nc_axx__onnx_node *n = &o->nodes[i];
        for (k = 0; k < n->outputs; k++)
            if (o->lists[n->output + k] != UINT32_MAX)
                n->needed |= o->values[o->lists[n->output + k]].needed;
        if (!n->needed) continue;
        if (!n->fixed && n->inputs == 2) nc_axx__onnx_join(o, n);
        for (k = 0; k < n->inputs; k++)
            if (nc_axx__onnx_in(o, n, k)) nc_axx__onnx_in(o, n, k)->needed = 1;
    }
}

/* Whether the file's node is one that is understood, down to its attributes. */
static void nc_axx__onnx_check(nc_axx__onnx *o, const nc_axx__onnx_node *n) {
    nc_axx__proto p = nc_axx__proto_of(n->body);
    nc_axx__onnx_attribute a;
    uint32_t i;
    if (!n->op || !(n->fixed ? n->op->compute : n->op->emit)) {
        nc_axx__onnx_fail(o, NC_ERR_UNSUPPORTED, "no node of a graph does this%s",
                          n->domain.length ? " (an operator of another domain)" : "");
        return;
    }
    if (o->opset < n->op->opset)
        nc_axx__onnx_fail(o, NC_ERR_UNSUPPORTED, "before version %u of the operators (%u here)",
                          (unsigned)n->op->opset, (unsigned)o->opset);
    if (n->inputs < n->op->least || n->inputs > n->op->most)
        nc_axx__onnx_fail(o, NC_ERR_UNSUPPORTED, "%u inputs, where %u to %u are possible",
                          (unsigned)n->inputs, (unsigned)n->op->least, (unsigned)n->op->most);
    for (i = 0; i < n->op->least && o->t.status == NC_OK; i++)
        if (!nc_axx__onnx_in(o, n, i))
            nc_axx__onnx_fail(o, NC_ERR_FORMAT, "input %u is left out", (unsigned)i);
    while (nc_axx__proto_next(o, &p)) {
        const char *at;
        if (p.field != 5) continue;
        nc_axx__onnx_read_attribute(o, p.bytes, &a);
        for (at = n->op->attributes; *at; at = strchr(at, ' ') + 1)
            if (a.name.length && a.name.length == (size_t)(strchr(at, ' ') - at) &&
                !memcmp(at, a.name.at, a.name.length))
                break;
        if (!*at || a.has >> 21 & 1)
            nc_axx__onnx_fail(o, NC_ERR_UNSUPPORTED, "attribute '%.*s' is unknown",
                              NC_AXX__ONNX_TEXT(a.name));
    }
}

static void nc_axx__onnx_emit_all(nc_axx__onnx *o) {
    const nc_axx__onnx_value *last;
    size_t i;
    for (i = 0; i < stbds_arrlenu(o->nodes) && o->t.status == NC_OK; i++) {
        o->n = &o->nodes[i];
        if (!o->n->needed || nc_axx__onnx_out(o, o->n)->is == NC_AXX__ONNX_NUMBERS) continue;
        nc_axx__onnx_check(o, o->n);
        if (o->t.status != NC_OK) return;
        if (o->n->fixed)
            o->n->op->compute(o, o->n);
        else
            o->n->op->emit(o, o->n);
        if (o->t.status == NC_OK && nc_axx__onnx_out(o, o->n)->is == NC_AXX__ONNX_NOTHING &&
            nc_axx__onnx_out(o, o->n)->needed)
            nc_axx__onnx_fail(o, NC_ERR_FORMAT, "inputs that do not fit");
    }
    o->n = NULL;
    last = &o->values[o->output];
    if (o->t.status != NC_OK) return;
    if (last->is != NC_AXX__ONNX_NODE || last->node + 1 != nc_axx_graph_nodes(o->g) ||
        (last->batch && last->batch != NC_AXX__ONNX_MERGED))
        nc_axx__onnx_fail(
            o, NC_ERR_UNSUPPORTED,
            "output '%.*s' does not depend on the images, or has them in a later axis",
            NC_AXX__ONNX_TEXT(o->names.list[o->output]));
}

/* Numbers to the tensors of the finished graph. */
static void nc_axx__onnx_fill_all(nc_axx__onnx *o) {
    size_t i, k;
    for (i = 0; i < stbds_arrlenu(o->fills); i++) {
        const nc_axx__onnx_fill *f = &o->fills[i];
        const nc_axx__onnx_value *v = &o->values[f->value];
        const nc_axx__tensor *t = &o->g->tensors[f->tensor];
        const size_t columns = f->transposed ? (size_t)t->shape[1] : 1;
        const size_t rows = f->transposed ? (size_t)t->shape[0] : 1;
        for (k = 0; k < t->count; k++) {
            const size_t at = f->transposed ? k % columns * rows + k / columns : k;
            const float one = (float)nc_axx__onnx_number(v, v->count == 1 ? 0 : at);
            t->values[k] = (f->inverse ? 1.0f / one : one) * f->factor;
        }
    }
}

static void nc_axx__onnx_free(nc_axx__onnx *o) {
    size_t i;
    for (i = 0; i < stbds_arrlenu(o->owned); i++) nc__free(NULL, o->owned[i], 0);
    nc_axx__free_names(&o->names);
    stbds_arrfree(o->values);
    stbds_arrfree(o->nodes);
    stbds_arrfree(o->lists);
    stbds_arrfree(o->numbers);
    stbds_arrfree(o->owned);
    stbds_arrfree(o->fills);
}

NC_API nc_status nc_axx_graph_from_onnx(nc_axx_graph **graph, const nc_axx_onnx *file,
                                        nc_error *err) {
    nc_axx__onnx o;
    nc_axx__word all;
    nc_status status;
    nc__clear(err);
    if (graph) *graph = NULL;
    if (!graph || !file || !file->data)
        return nc__fail(err, NC_ERR_ARG, 0, 0, "no graph to make, or no data");
    memset(&o, 0, sizeof o);
    nc__text_open(&o.t, file->data, file->bytes, err);
    o.from = file;
    o.input = o.output = UINT32_MAX;
    o.room =
        ((size_t)1 << 16) + file->bytes; /* what files make is shapes, and weights transposed */
    all.at = (const char *)file->data;
    all.length = file->bytes;
    if (nc_axx_graph_create(&o.g) != NC_OK) nc_axx__onnx_fail(&o, NC_ERR_MEMORY, "out of memory");
    if (o.t.status == NC_OK) nc_axx__onnx_read_model(&o, all);
    if (o.t.status == NC_OK) nc_axx__onnx_find_fixed(&o);
    if (o.t.status == NC_OK) nc_axx__onnx_find_needed(&o);
    if (o.t.status == NC_OK) nc_axx__onnx_emit_all(&o);
    if (o.t.status == NC_OK)
        o.t.status = nc_axx_graph_finish(o.g, file->batch, file->training != 0, err);
    if (o.t.status == NC_OK) nc_axx__onnx_fill_all(&o);
    status = o.t.status;
    nc_axx__onnx_free(&o);
    if (status == NC_OK)
        *graph = o.g;
    else
        nc_axx_graph_destroy(o.g);
    return status;
}

/* -- Swin transformers -- */

/* Tokens on a side of a stage, and by how many an odd block's windows are shifted. */
static uint32_t nc_axx__swin_side(const nc_axx_swin *c, uint32_t stage) {
    return c->image / c->patch >> stage;
}

static uint32_t nc_axx__swin_shift(const nc_axx_swin *c, uint32_t stage, uint32_t block) {
    return block % 2 && c->windows[stage] < nc_axx__swin_side(c, stage) ? c->windows[stage] / 2 : 0;
}

static nc_status nc_axx__check_swin(const nc_axx_swin *c, nc_error *err) {
    uint32_t i;
    if (!c->patch || c->patch > 4096 || !c->channels || !c->classes || !c->dim || !c->mlp ||
        c->dim > 4096 || c->mlp > 65535 || c->stages < 1 || c->stages > 4 || c->image > 4096 ||
        !c->image || c->image % (c->patch << (c->stages - 1)))
        return nc__fail(err, NC_ERR_ARG, 0, 0,
                        "no Swin transformer has image %u, patch %u, width %u, %u stages",
                        (unsigned)c->image, (unsigned)c->patch, (unsigned)c->dim,
                        (unsigned)c->stages);
    for (i = 0; i < c->stages; i++) {
        if (!c->windows[i] || nc_axx__swin_side(c, i) % c->windows[i])
            return nc__fail(err, NC_ERR_ARG, 0, 0,
                            "stage %u has %u tokens on a side, which windows of %u do not divide",
                            (unsigned)i, (unsigned)nc_axx__swin_side(c, i),
                            (unsigned)c->windows[i]);
        if (!c->heads[i] || (c->dim << i) % c->heads[i] || c->depths[i] > 64 || !c->depths[i])
            return nc__fail(err, NC_ERR_ARG, 0, 0, "stage %u has %u heads, %u blocks", (unsigned)i,
                            (unsigned)c->heads[i], (unsigned)c->depths[i]);
    }
    return NC_OK;
}

/* A graph that grows: after a failure nothing is added. */
typedef struct nc_axx__builder {
    nc_axx_graph *g;
    nc_error *err;
    nc_status status;
    char prefix[40]; /* of the names of nodes */
} nc_axx__builder;

/* The number of a node that is appended, called prefix + name; null: by its number. */
static uint32_t nc_axx__build_pair(nc_axx__builder *b, const nc_axx_node *plain, const char *name,
                                   uint32_t first, uint32_t second) {
    nc_axx_node node = *plain;
    char full[64];
    uint32_t inputs[2], number = 0;
    inputs[0] = first;
    inputs[1] = second;
    (void)snprintf(full, sizeof full, "%s%s", b->prefix, name ? name : "");
    node.name = name ? full : NULL;
    node.inputs = inputs;
    node.input_count = second == UINT32_MAX ? first != UINT32_MAX : 2;
    if (b->status == NC_OK) b->status = nc_axx_graph_add(b->g, &node, &number, b->err);
    return number;
}

/* A node of one input that needs no more than its kind. */
static uint32_t nc_axx__build_plain(nc_axx__builder *b, nc_axx_node_kind kind, const char *name,
                                    uint32_t from) {
    nc_axx_node node = nc_axx__node_of(kind);
    return nc_axx__build_pair(b, &node, name, from, UINT32_MAX);
}

static uint32_t nc_axx__build_linear(nc_axx__builder *b, const char *name, uint32_t from,
                                     uint32_t out, uint32_t no_bias) {
    nc_axx_node node = nc_axx__node_of(NC_AXX_NODE_LINEAR);
    node.out = out;
    node.no_bias = no_bias;
    return nc_axx__build_pair(b, &node, name, from, UINT32_MAX);
}

/* Reshape, permute, input and parameter: up to four numbers, the first 0 ends them but for
 * permute. */
static uint32_t nc_axx__build_shape(nc_axx__builder *b, nc_axx_node_kind kind, const char *name,
                                    uint32_t from, uint32_t rank, uint32_t d0, uint32_t d1,
                                    uint32_t d2, uint32_t d3) {
    nc_axx_node node = nc_axx__node_of(kind);
    node.rank = rank;
    node.shape[0] = d0;
    node.shape[1] = d1;
    node.shape[2] = d2;
    node.shape[3] = d3;
    return nc_axx__build_pair(b, &node, name, from, UINT32_MAX);
}

static uint32_t nc_axx__build_slice(nc_axx__builder *b, uint32_t from, uint32_t axis,
                                    uint32_t first, uint32_t places) {
    nc_axx_node node = nc_axx__node_of(NC_AXX_NODE_SLICE);
    node.axis = axis;
    node.first = first;
    node.out = places;
    return nc_axx__build_pair(b, &node, NULL, from, UINT32_MAX);
}

/* Rows and columns (of n) that begin with number `first` and go round. */
static uint32_t nc_axx__build_roll(nc_axx__builder *b, uint32_t from, uint32_t n, uint32_t first) {
    uint32_t axis;
    for (axis = 0; axis < 2; axis++) {
        nc_axx_node node = nc_axx__node_of(NC_AXX_NODE_CONCAT);
        const uint32_t end = nc_axx__build_slice(b, from, axis, first, n - first);
        const uint32_t start = nc_axx__build_slice(b, from, axis, 0, first);
        node.axis = axis;
        from = nc_axx__build_pair(b, &node, NULL, end, start);
    }
    return from;
}

/* Tokens (side, side, dim) as windows (windows, w w, dim), or back. */
static uint32_t nc_axx__build_windows(nc_axx__builder *b, uint32_t from, uint32_t side, uint32_t w,
                                      uint32_t dim, int back) {
    const uint32_t n = side / w;
    from = nc_axx__build_shape(b, NC_AXX_NODE_RESHAPE, NULL, from, 4, n, back ? n : w, back ? w : n,
                               w * dim);
    from = nc_axx__build_shape(b, NC_AXX_NODE_PERMUTE, NULL, from, 4, 0, 2, 1, 3);
    return back ? nc_axx__build_shape(b, NC_AXX_NODE_RESHAPE, NULL, from, 3, side, side, dim, 0)
                : nc_axx__build_shape(b, NC_AXX_NODE_RESHAPE, NULL, from, 3, n * n, w * w, dim, 0);
}

/* A matrix of one head for every window and head: of Q (0), K (1) or V (2). */
static uint32_t nc_axx__build_heads(nc_axx__builder *b, uint32_t qkv, uint32_t which,
                                    uint32_t windows, uint32_t tokens, uint32_t heads,
                                    uint32_t dim) {
    uint32_t at = nc_axx__build_slice(b, qkv, 2, which * dim, dim);
    at = nc_axx__build_shape(b, NC_AXX_NODE_RESHAPE, NULL, at, 4, windows, tokens, heads,
                             dim / heads);
    return nc_axx__build_shape(b, NC_AXX_NODE_PERMUTE, NULL, at, 4, 0, 2, 1, 3);
}

/* Attention of windows (windows, tokens, dim) with position biases and, if shifted, a mask. */
static uint32_t nc_axx__build_attention(nc_axx__builder *b, uint32_t from, uint32_t windows,
                                        uint32_t tokens, uint32_t heads, uint32_t dim,
                                        int shifted) {
    const uint32_t qkv = nc_axx__build_linear(b, "attn.qkv", from, 3 * dim, 0);
    const uint32_t q = nc_axx__build_heads(b, qkv, 0, windows, tokens, heads, dim);
    const uint32_t k = nc_axx__build_heads(b, qkv, 1, windows, tokens, heads, dim);
    const uint32_t v = nc_axx__build_heads(b, qkv, 2, windows, tokens, heads, dim);
    const uint32_t width = dim / heads;
    nc_axx_node product = nc_axx__node_of(NC_AXX_NODE_MATMUL), add, plain = product;
    uint32_t at, more;
    add = nc_axx__node_of(NC_AXX_NODE_ADD);
    product.by_columns = 1;
    product.factor = 1.0f / sqrtf((float)width);
    at = nc_axx__build_pair(b, &product, "attn.qk", q, k);
    more = nc_axx__build_shape(b, NC_AXX_NODE_PARAMETER, "attn.position_bias", UINT32_MAX, 3, heads,
                               tokens, tokens, 0);
    at = nc_axx__build_pair(b, &add, NULL, at, more);
    if (shifted) {
        more = nc_axx__build_shape(b, NC_AXX_NODE_PARAMETER, "attn.mask", UINT32_MAX, 4, windows, 1,
                                   tokens, tokens);
        at = nc_axx__build_pair(b, &add, NULL, at, more);
    }
    at = nc_axx__build_plain(b, NC_AXX_NODE_SOFTMAX, NULL, at);
    at = nc_axx__build_pair(b, &plain, "attn.pv", at, v);
    at = nc_axx__build_shape(b, NC_AXX_NODE_PERMUTE, NULL, at, 4, 0, 2, 1, 3);
    at = nc_axx__build_shape(b, NC_AXX_NODE_RESHAPE, NULL, at, 3, windows, tokens, dim, 0);
    return nc_axx__build_linear(b, "attn.proj", at, dim, 0);
}

/* One block on tokens (side, side, dim). */
static uint32_t nc_axx__build_swin_block(nc_axx__builder *b, const nc_axx_swin *c, uint32_t stage,
                                         uint32_t block, uint32_t x) {
    const uint32_t side = nc_axx__swin_side(c, stage), w = c->windows[stage];
    const uint32_t dim = c->dim << stage, shift = nc_axx__swin_shift(c, stage, block);
    nc_axx_node add = nc_axx__node_of(NC_AXX_NODE_ADD);
    uint32_t y;
    (void)snprintf(b->prefix, sizeof b->prefix, "layers.%u.blocks.%u.", (unsigned)(stage % 10),
                   (unsigned)(block % 100));
    y = nc_axx__build_plain(b, NC_AXX_NODE_LAYER_NORM, "norm1", x);
    if (shift) y = nc_axx__build_roll(b, y, side, shift);
    y = nc_axx__build_windows(b, y, side, w, dim, 0);
    y = nc_axx__build_attention(b, y, side / w * (side / w), w * w, c->heads[stage], dim,
                                shift != 0);
    y = nc_axx__build_windows(b, y, side, w, dim, 1);
    if (shift) y = nc_axx__build_roll(b, y, side, side - shift);
    x = nc_axx__build_pair(b, &add, NULL, x, y);
    y = nc_axx__build_plain(b, NC_AXX_NODE_LAYER_NORM, "norm2", x);
    y = nc_axx__build_linear(b, "mlp.fc1", y, c->mlp << stage, 0);
    y = nc_axx__build_plain(b, NC_AXX_NODE_GELU, NULL, y);
    y = nc_axx__build_linear(b, "mlp.fc2", y, dim, 0);
    return nc_axx__build_pair(b, &add, NULL, x, y);
}

/* Four tokens of `stage` - 1 side by side, by columns first, as one of `stage`. */
static uint32_t nc_axx__build_merging(nc_axx__builder *b, const nc_axx_swin *c, uint32_t stage,
                                      uint32_t x) {
    const uint32_t side = nc_axx__swin_side(c, stage), dim = c->dim << (stage - 1);
    (void)snprintf(b->prefix, sizeof b->prefix, "layers.%u.downsample.", (unsigned)(stage % 10));
    x = nc_axx__build_windows(b, x, 2 * side, 2, dim, 0);
    x = nc_axx__build_shape(b, NC_AXX_NODE_RESHAPE, NULL, x, 4, side * side, 2, 2, dim);
    x = nc_axx__build_shape(b, NC_AXX_NODE_PERMUTE, NULL, x, 4, 0, 2, 1, 3);
    x = nc_axx__build_shape(b, NC_AXX_NODE_RESHAPE, NULL, x, 3, side, side, 4 * dim, 0);
    x = nc_axx__build_plain(b, NC_AXX_NODE_LAYER_NORM, "norm", x);
    return nc_axx__build_linear(b, "reduction", x, 2 * dim, 1);
}

NC_API nc_status nc_axx_graph_add_swin(nc_axx_graph *graph, const nc_axx_swin *config,
                                       nc_error *err) {
    nc_axx_node embed = nc_axx__node_of(NC_AXX_NODE_CONV2D);
    nc_axx__builder b;
    uint32_t x, stage, block;
    nc__clear(err);
    if (!graph || !config) return nc__fail(err, NC_ERR_ARG, 0, 0, "null argument");
    memset(&b, 0, sizeof b);
    b.g = graph;
    b.err = err;
    b.status = nc_axx__check_swin(config, err);
    x = nc_axx__build_shape(&b, NC_AXX_NODE_INPUT, "images", UINT32_MAX, 3, config->channels,
                            config->image, config->image, 0);
    embed.out = config->dim;
    embed.kernel[0] = embed.kernel[1] = embed.stride[0] = embed.stride[1] = config->patch;
    x = nc_axx__build_pair(&b, &embed, "patch_embed.proj", x, UINT32_MAX);
    x = nc_axx__build_shape(&b, NC_AXX_NODE_PERMUTE, NULL, x, 3, 1, 2, 0, 0);
    x = nc_axx__build_plain(&b, NC_AXX_NODE_LAYER_NORM, "patch_embed.norm", x);
    for (stage = 0; stage < config->stages && b.status == NC_OK; stage++) {
        if (stage) x = nc_axx__build_merging(&b, config, stage, x);
        for (block = 0; block < config->depths[stage]; block++)
            x = nc_axx__build_swin_block(&b, config, stage, block, x);
    }
    b.prefix[0] = 0;
    x = nc_axx__build_plain(&b, NC_AXX_NODE_LAYER_NORM, "norm", x);
    x = nc_axx__build_shape(&b, NC_AXX_NODE_PERMUTE, NULL, x, 3, 2, 0, 1, 0);
    x = nc_axx__build_plain(&b, NC_AXX_NODE_GLOBAL_MEAN_POOL, NULL, x);
    x = nc_axx__build_plain(&b, NC_AXX_NODE_FLATTEN, NULL, x);
    (void)nc_axx__build_linear(&b, "head.fc", x, config->classes, 0);
    return b.status;
}

/* Stage and block in layers.S.blocks.B.attn., and what follows; null for other names. */
static const char *nc_axx__swin_name(const char *name, uint32_t *stage, uint32_t *block) {
    static const char *const between[] = {"layers.", ".blocks.", "."};
    uint32_t *const numbers[] = {stage, block};
    size_t i;
    for (i = 0; i < 3; i++) {
        const size_t n = strlen(between[i]);
        if (strncmp(name, between[i], n) != 0) return NULL;
        name += n;
        if (i == 2) return name;
        if (*name < '0' || *name > '9') return NULL;
        for (*numbers[i] = 0; *name >= '0' && *name <= '9' && *numbers[i] < 100; name++)
            *numbers[i] = 10 * *numbers[i] + (uint32_t)(*name - '0');
    }
    return NULL;
}

/* The values of a parameter of a block, as they are read; null where there is none of this size. */
static float *nc_axx__swin_parameter(const nc_axx_graph *g, nc_axx__read *read, uint32_t stage,
                                     uint32_t block, const char *name, size_t count) {
    char full[64];
    size_t i;
    (void)snprintf(full, sizeof full, "layers.%u.blocks.%u.attn.%s", (unsigned)stage,
                   (unsigned)block, name);
    for (i = 0; i < stbds_arrlenu(g->tensors); i++) {
        if (strcmp(g->tensors[i].name, full) != 0 || g->tensors[i].count != count) continue;
        read->found[i] = 1;
        return read->values + (g->tensors[i].values - g->values);
    }
    return NULL;
}

/* A table ((2 w - 1)^2, heads) of biases by distance, laid out for all pairs of tokens of a window.
 * Returns whether that, or a buffer that follows from the shape, is what the tensor is. */
static int nc_axx__read_swin(const nc_axx_graph *g, nc__text *t, const nc__item *item,
                             nc_axx__read *read) {
    const nc_axx_swin *c = read->swin;
    uint32_t stage = 0, block = 0;
    const char *rest = nc_axx__swin_name(nc_axx__bare(item->name), &stage, &block);
    size_t w, span, heads, h, i, k;
    float *to;
    if (!rest) return 0;
    if (!strcmp(rest, "attn.relative_position_index") || !strcmp(rest, "attn_mask")) return 1;
    if (strcmp(rest, "attn.relative_position_bias_table") != 0) return 0;
    if (stage >= c->stages) return 0;
    w = c->windows[stage];
    span = 2 * w - 1;
    heads = c->heads[stage];
    to = nc_axx__swin_parameter(g, read, stage, block, "position_bias", heads * w * w * w * w);
    if (!to) return 0;
    if (item->rank != 2 || item->shape[0] != span * span || item->shape[1] != heads ||
        !nc__is_float(item->dtype)) {
        (void)nc__text_fail(t, NC_ERR_MISMATCH, "tensor '%.90s' has another shape or type",
                            item->name);
        return 1;
    }
    for (h = 0; h < heads; h++)
        for (i = 0; i < w * w; i++)
            for (k = 0; k < w * w; k++) {
                const size_t rows = i / w + w - 1 - k / w, columns = i % w + w - 1 - k % w;
                *to++ = nc__item_float(item, (rows * span + columns) * heads + h);
            }
    return 1;
}

/* Which of three pieces of a shifted axis a place lies in. */
static uint32_t nc_axx__swin_piece(uint32_t at, uint32_t side, uint32_t w, uint32_t shift) {
    return at < side - w ? 0 : at < side - shift ? 1 : 2;
}

/* All masks: -100 between tokens of a window that were not neighbours before the shift. */
static void nc_axx__mask_swin(const nc_axx_graph *g, nc_axx__read *read) {
    const nc_axx_swin *c = read->swin;
    uint32_t stage, block, n, i, k;
    for (stage = 0; stage < c->stages; stage++)
        for (block = 0; block < c->depths[stage]; block++) {
            const uint32_t side = nc_axx__swin_side(c, stage), w = c->windows[stage];
            const uint32_t shift = nc_axx__swin_shift(c, stage, block), windows = side / w;
            const size_t all = (size_t)side * side * w * w;
            float *to = shift ? nc_axx__swin_parameter(g, read, stage, block, "mask", all) : NULL;
            for (n = 0; to && n < windows * windows; n++)
                for (i = 0; i < w * w; i++)
                    for (k = 0; k < w * w; k++) {
                        const uint32_t y = n / windows * w, x = n % windows * w;
                        const int neighbours = nc_axx__swin_piece(y + i / w, side, w, shift) ==
                                                   nc_axx__swin_piece(y + k / w, side, w, shift) &&
                                               nc_axx__swin_piece(x + i % w, side, w, shift) ==
                                                   nc_axx__swin_piece(x + k % w, side, w, shift);
                        *to++ = neighbours ? 0.0f : -100.0f;
                    }
        }
}

NC_API nc_status nc_axx_graph_load_swin(nc_axx_graph *graph, const nc_axx_swin *config,
                                        const void *data, size_t bytes, nc_error *err) {
    nc_status status;
    nc__clear(err);
    if (!config) return nc__fail(err, NC_ERR_ARG, 0, 0, "null argument");
    status = nc_axx__check_swin(config, err);
    return status == NC_OK ? nc_axx__load_graph(graph, config, data, bytes, err) : status;
}

/* What a tensor tells of the shape. */
static void nc_axx__hear_swin(nc__text *t, const nc__item *item, nc_axx_swin *c) {
    uint32_t stage = 0, block = 0, side = 1, size[4] = {0};
    const char *name = nc_axx__bare(item->name);
    const char *rest = nc_axx__swin_name(name, &stage, &block);
    uint32_t i;
    for (i = 0; i < item->rank && i < 4; i++) {
        if (item->shape[i] > 65535)
            (void)nc__text_fail(t, NC_ERR_LIMIT, "tensor '%.60s' has a dimension of %llu",
                                item->name, (unsigned long long)item->shape[i]);
        size[i] = (uint32_t)(item->shape[i] & 65535);
    }
    if (!strcmp(name, "patch_embed.proj.weight")) {
        c->dim = size[0];
        c->channels = size[1];
        c->patch = size[2];
    }
    if (!strcmp(name, "head.fc.weight")) c->classes = size[0];
    if (!rest) return;
    if (stage > 3 || block > 63) {
        (void)nc__text_fail(t, NC_ERR_LIMIT, "'%.60s' is of a fifth stage or 65th block",
                            item->name);
        return;
    }
    if (stage >= c->stages) c->stages = stage + 1;
    if (block >= c->depths[stage]) c->depths[stage] = block + 1;
    if (stage == 0 && !strcmp(rest, "mlp.fc1.weight")) c->mlp = size[0];
    if (strcmp(rest, "attn.relative_position_bias_table") != 0) return;
    while (side * side < size[0] && side < 255) side += 2;
    if (side * side != size[0])
        (void)nc__text_fail(t, NC_ERR_MISMATCH, "'%.60s' has %u distances, of no square window",
                            item->name, (unsigned)size[0]);
    c->windows[stage] = (side + 1) / 2;
    c->heads[stage] = size[1];
}

NC_API nc_status nc_axx_swin_describe(nc_axx_swin *config, const void *data, size_t bytes,
                                      nc_error *err) {
    nc__safetensors file;
    nc__item_kind kind;
    nc__item item;
    nc_axx_swin c;
    nc_status status;
    nc__clear(err);
    if (!config || !data) return nc__fail(err, NC_ERR_ARG, 0, 0, "null argument");
    memset(&c, 0, sizeof c);
    (void)nc__safetensors_open(&file, data, bytes, err);
    while ((kind = nc__safetensors_next(&file, &item)) != NC__ITEM_END)
        if (kind == NC__ITEM_TENSOR) nc_axx__hear_swin(&file.t, &item, &c);
    nc__safetensors_close(&file);
    if (file.t.status != NC_OK) return file.t.status;
    if (!c.stages || !c.windows[c.stages - 1] || !c.dim || !c.classes || !c.mlp)
        return nc__fail(err, NC_ERR_MISMATCH, 0, 0,
                        "no Swin transformer: patch_embed.proj, layers.0.blocks.0 or head.fc is "
                        "missing");
    c.image = config->image ? config->image : (c.patch * c.windows[c.stages - 1]) << (c.stages - 1);
    status = nc_axx__check_swin(&c, err);
    if (status == NC_OK) *config = c;
    return status;
}

NC__COLD_END
#endif /* NC_AXX_VIT */

/* >>search ====================================================================== */

/* What a search costs is the evaluation of its assignments. */
NC__COLD_BEGIN

struct nc_axx_search {
    nc_axx_search_config config;
    double *share;
    float *power;
    nc__index known;       /* assignments by their bytes */
    uint8_t *assignments;  /* stb_ds array, layers bytes each */
    double *accuracies;    /* stb_ds array */
    uint8_t *seen;         /* stb_ds array, 1: by this search, 0: as yet only in a file */
    uint32_t done, rounds; /* for the progress */
    uint64_t draws;
    uint32_t words[4];
    /* estimates, by layer and candidate */
    double *cost;                   /* accuracy lost by it */
    uint32_t *met;                  /* assignments evaluated that had it */
    double *sampled;                /* cost as this round sees it */
    uint32_t opened;                /* first rounds done */
    uint8_t safest, cheapest, base; /* candidates */
    double top;                     /* accuracy of the safest in all layers */
    double exchange;                /* power for accuracy, of the last assignment planned */
};

NC_API void nc_axx_search_destroy(nc_axx_search *search) {
    if (!search) return;
    nc__index_free(&search->known);
    stbds_arrfree(search->assignments);
    stbds_arrfree(search->accuracies);
    stbds_arrfree(search->seen);
    nc__free(NULL, search->cost, 0);
    nc__free(NULL, search->met, 0);
    nc__free(NULL, search->share, 0);
    nc__free(NULL, search->power, 0);
    nc__free(NULL, search, 0);
}

NC_API nc_status nc_axx_search_create(nc_axx_search **search, const nc_axx_search_config *config) {
    nc_axx_search *s;
    size_t cells;
    uint32_t i;
    if (!search) return NC_ERR_ARG;
    *search = NULL;
    if (!config || !config->layers || config->layers > 1024 || !config->candidates ||
        config->candidates > 64 || !config->share || !config->power || !config->evaluate ||
        (unsigned)config->policy > NC_AXX_POLICY_POWER)
        return NC_ERR_ARG;
    for (i = 0; i < config->candidates; i++)
        if (!(config->power[i] >= 0 && config->power[i] < 1e6f)) return NC_ERR_ARG;
    for (i = 0; i < config->layers; i++)
        if (!(config->share[i] >= 0 && config->share[i] < 1e6)) return NC_ERR_ARG;
    s = (nc_axx_search *)nc__calloc(NULL, sizeof *s);
    if (!s) return NC_ERR_MEMORY;
    s->config = *config;
    s->share = (double *)nc__alloc(NULL, config->layers * sizeof *s->share);
    s->power = (float *)nc__alloc(NULL, config->candidates * sizeof *s->power);
    cells = (size_t)config->layers * config->candidates;
    s->cost = (double *)nc__calloc(NULL, 2 * cells * sizeof *s->cost);
    s->met = (uint32_t *)nc__calloc(NULL, cells * sizeof *s->met);
    if (!s->share || !s->power || !s->cost || !s->met) {
        nc_axx_search_destroy(s);
        return NC_ERR_MEMORY;
    }
    s->sampled = s->cost + cells;
    memcpy(s->share, config->share, config->layers * sizeof *s->share);
    memcpy(s->power, config->power, config->candidates * sizeof *s->power);
    if (!(s->config.exploration > 0)) s->config.exploration = 0.35355339059327379;
    if (!s->config.population) s->config.population = 24;
    *search = s;
    return NC_OK;
}

/* Uniform in [0, 1). */
static double nc_axx__draw(nc_axx_search *s) {
    if (s->draws % 4 == 0) nc__philox(s->config.seed, s->draws / 4, 0, s->words);
    return (double)s->words[s->draws++ % 4] / 4294967296.0;
}

static uint32_t nc_axx__pick(nc_axx_search *s, uint32_t n) {
    return (uint32_t)(nc_axx__draw(s) * (double)n);
}

static double nc_axx__power_of(const nc_axx_search *s, const uint8_t *assignment) {
    double sum = 0;
    uint32_t i;
    for (i = 0; i < s->config.layers; i++) sum += s->share[i] * (double)s->power[assignment[i]];
    return sum;
}

/* The number of an assignment among those evaluated, or UINT32_MAX. */
static uint32_t nc_axx__evaluated(const nc_axx_search *s, const uint8_t *assignment) {
    const uint32_t hash = nc_axx__hash(assignment, s->config.layers);
    size_t at = hash;
    uint32_t i;
    while ((i = nc__index_next(&s->known, hash, &at)) != UINT32_MAX)
        if (!memcmp(s->assignments + (size_t)i * s->config.layers, assignment, s->config.layers))
            break;
    return i;
}

static nc_status nc_axx__remember(nc_axx_search *s, const uint8_t *assignment, double accuracy) {
    const uint32_t hash = nc_axx__hash(assignment, s->config.layers);
    uint8_t *to;
    if (!nc__index_add(&s->known, hash, (uint32_t)stbds_arrlenu(s->accuracies)))
        return NC_ERR_MEMORY;
    stbds_arrput(s->accuracies, accuracy);
    stbds_arrput(s->seen, 0);
    to = stbds_arraddnptr(s->assignments, s->config.layers);
    if (to) memcpy(to, assignment, s->config.layers);
    return NC_OK;
}

/* Whether this search itself has met an assignment: what a file alone knows changes no decision, so
 * that a search goes its way again after its file was read. */
static int nc_axx__met_before(const nc_axx_search *s, const uint8_t *assignment) {
    const uint32_t at = nc_axx__evaluated(s, assignment);
    return at != UINT32_MAX && s->seen[at];
}

/* Accuracy of an assignment, from the list or the user. */
static nc_status nc_axx__evaluate(nc_axx_search *s, const uint8_t *assignment, double *accuracy) {
    uint32_t at = nc_axx__evaluated(s, assignment);
    if (at == UINT32_MAX) {
        nc_status status;
        if (s->config.evaluate(s->config.user, assignment, accuracy)) return NC_ERR_CANCELLED;
        if (!(*accuracy >= 0 && *accuracy <= 1)) return NC_ERR_ARG;
        at = (uint32_t)stbds_arrlenu(s->accuracies);
        status = nc_axx__remember(s, assignment, *accuracy);
        if (status != NC_OK) return status;
    }
    *accuracy = s->accuracies[at];
    s->seen[at] = 1;
    if (s->done < s->rounds) s->done++;
    if (s->config.progress && s->config.progress(s->config.progress_user, s->done, s->rounds))
        return NC_ERR_CANCELLED;
    return NC_OK;
}

static void nc_axx__start(nc_axx_search *s, uint32_t rounds) {
    s->done = 0;
    s->rounds = rounds;
}

static double nc_axx__reward(const nc_axx_search *s, const uint8_t *assignment, double accuracy) {
    const double least = s->config.least_accuracy;
    double saved = 1.0 - nc_axx__power_of(s, assignment);
    if (saved < 0) saved = 0;
    if (accuracy >= least) return 0.5 + 0.5 * saved;
    return least > 0 ? 0.5 * accuracy / least : 0.0;
}

/* -- estimates: what accuracy a layer's choice costs -- */

/* Accuracy that may be lost. */
static double nc_axx__accuracy_budget(const nc_axx_search *s) {
    return s->top - s->config.least_accuracy;
}

/* Below the costs that matter: a tenth of a layer's part of the budget. */
static double nc_axx__cost_grain(const nc_axx_search *s) {
    const double budget = nc_axx__accuracy_budget(s);
    return (budget > 0.01 ? budget : 0.01) / (10.0 * (double)s->config.layers);
}

/* Accuracy of an evaluated assignment, of `all` everywhere but for one layer. */
static double nc_axx__accuracy_of(const nc_axx_search *s, uint32_t all, uint32_t layer,
                                  uint32_t other) {
    uint8_t assignment[1024];
    memset(assignment, (int)all, s->config.layers);
    assignment[layer] = (uint8_t)other;
    return s->accuracies[nc_axx__evaluated(s, assignment)];
}

/* What the candidates cost in all layers is spread evenly over these. The base is the candidate
 * that costs most within the budget: there layers show what they cost in the company of others. */
static void nc_axx__first_costs(nc_axx_search *s) {
    const uint32_t n = s->config.candidates;
    double accuracy[64] = {0}, most = -1;
    uint32_t c, l;
    s->safest = s->cheapest = 0;
    for (c = 0; c < n; c++) {
        accuracy[c] = nc_axx__accuracy_of(s, c, 0, c);
        if (accuracy[c] > accuracy[s->safest] ||
            (accuracy[c] >= accuracy[s->safest] && s->power[c] > s->power[s->safest]))
            s->safest = (uint8_t)c;
        if (s->power[c] < s->power[s->cheapest]) s->cheapest = (uint8_t)c;
    }
    s->top = accuracy[s->safest];
    s->base = s->safest;
    for (c = 0; c < n; c++) {
        const double lost = s->top - accuracy[c];
        for (l = 0; l < s->config.layers; l++)
            s->cost[(size_t)l * n + c] = lost / (double)s->config.layers;
        if (c == s->cheapest || lost > nc_axx__accuracy_budget(s) || !(lost > most)) continue;
        most = lost;
        s->base = (uint8_t)c;
    }
}

/* A layer's costs in proportion to what the cheapest candidate costs in it, at the base. */
static void nc_axx__weigh_layers(nc_axx_search *s) {
    const uint32_t n = s->config.candidates;
    const double base = nc_axx__accuracy_of(s, s->base, 0, s->base), grain = nc_axx__cost_grain(s);
    double sum = 0;
    uint32_t l, c;
    for (l = 0; l < s->config.layers; l++) {
        s->sampled[l] = base - nc_axx__accuracy_of(s, s->base, l, s->cheapest);
        if (!(s->sampled[l] > grain)) s->sampled[l] = grain;
        sum += s->sampled[l];
    }
    for (l = 0; l < s->config.layers; l++)
        for (c = 0; c < n; c++)
            s->cost[(size_t)l * n + c] *= s->sampled[l] / sum * (double)s->config.layers;
    memcpy(s->sampled, s->cost, (size_t)s->config.layers * n * sizeof *s->cost);
}

/* Correct the costs by an evaluation: what it differs from their sum goes to the choices made,
 * by their costs, and as a factor to the layers' other choices, less to those that were met
 * often. Far beyond the budget, where the accuracy no longer falls in proportion, only that it
 * is far counts. */
static void nc_axx__learn_costs(nc_axx_search *s, const uint8_t *assignment, double accuracy) {
    const uint32_t n = s->config.candidates;
    const double grain = nc_axx__cost_grain(s), far = 30 * grain * (double)s->config.layers;
    double lost = s->top - accuracy, guess = 0, weight = 0, rate;
    uint32_t l, c, others = 0;
    for (l = 0; l < s->config.layers; l++) {
        const double cost = s->cost[(size_t)l * n + assignment[l]];
        if (assignment[l] == s->safest) continue;
        guess += cost;
        weight += cost + grain;
        others++;
    }
    if (!others) return;
    if (others > 1 && lost > far) lost = guess > far ? guess : far;
    rate = (lost - guess) / weight * (others > 1 ? 0.5 : 1.0);
    for (l = 0; l < s->config.layers; l++) {
        double *row = s->cost + (size_t)l * n, factor;
        uint32_t *met = s->met + (size_t)l * n;
        const uint8_t here = assignment[l];
        if (here == s->safest) continue;
        factor = 1 + rate;
        if (factor < grain / (row[here] + grain)) factor = grain / (row[here] + grain);
        for (c = 0; c < n; c++) {
            const double by = c == here ? factor : 1 + (factor - 1) / (1.0 + (double)met[c]);
            const double cost = (row[c] + grain) * by - grain;
            if (c != s->safest) row[c] = cost > 0 ? cost : 0;
        }
        met[here]++;
    }
}

/* Costs as they may be: for a width of 1 up to twice as much or half where nothing is known. */
static void nc_axx__sample_costs(nc_axx_search *s, double width) {
    const size_t cells = (size_t)s->config.layers * s->config.candidates;
    size_t i;
    for (i = 0; i < cells; i++) {
        const double u = 2 * nc_axx__draw(s) - 1;
        const double wide = width / sqrt(1.0 + (double)s->met[i]);
        s->sampled[i] = u > 0 ? s->cost[i] * (1 + wide * u) : s->cost[i] / (1 - wide * u);
    }
}

static double nc_axx__power_price(const nc_axx_search *s, uint32_t layer, uint32_t candidate) {
    return s->share[layer] * (double)s->power[candidate];
}

/* The choice for a layer of least power + exchange * cost. */
static uint8_t nc_axx__bargain(const nc_axx_search *s, uint32_t layer, double exchange) {
    const double *cost = s->sampled + (size_t)layer * s->config.candidates;
    double least = 0;
    uint32_t c, best = 0;
    for (c = 0; c < s->config.candidates; c++) {
        const double price = nc_axx__power_price(s, layer, c) + exchange * cost[c];
        if (c && !(price < least)) continue;
        least = price;
        best = c;
    }
    return (uint8_t)best;
}

static double nc_axx__cost_of(const nc_axx_search *s, const uint8_t *assignment) {
    double sum = 0;
    uint32_t l;
    for (l = 0; l < s->config.layers; l++)
        sum += s->sampled[(size_t)l * s->config.candidates + assignment[l]];
    return sum;
}

/* Change one layer after the other while that saves power and the budget pays for it, or, beyond
 * the budget, saves cost, at the best rate; the first `fixed` layers of the order stay. */
static void nc_axx__repair_layers(const nc_axx_search *s, uint8_t *assignment,
                                  const uint32_t *order, uint32_t fixed, double budget) {
    double cost = nc_axx__cost_of(s, assignment);
    uint32_t steps;
    for (steps = 0; steps < 4 * s->config.layers; steps++) {
        const int beyond = cost > budget;
        double most = 0, change = 0;
        uint32_t i, c, layer = 0, choice = 0;
        for (i = fixed; i < s->config.layers; i++) {
            const uint32_t l = order[i];
            const double *row = s->sampled + (size_t)l * s->config.candidates;
            for (c = 0; c < s->config.candidates; c++) {
                const double more = row[c] - row[assignment[l]];
                const double saved =
                    nc_axx__power_price(s, l, assignment[l]) - nc_axx__power_price(s, l, c);
                double rate = saved;
                if (beyond ? more >= 0 : saved <= 0 || cost + more > budget) continue;
                if (beyond) rate = saved >= 0 ? 1e30 : more / saved;
                if (!(rate > most)) continue;
                most = rate;
                change = more;
                layer = l;
                choice = c;
            }
        }
        if (!(most > 0)) return;
        assignment[layer] = (uint8_t)choice;
        cost += change;
    }
}

/* What the assignment costs with the layers of the order from `fixed` on at one exchange rate. */
static double nc_axx__trade_layers(const nc_axx_search *s, uint8_t *assignment,
                                   const uint32_t *order, uint32_t fixed, double exchange) {
    uint32_t i;
    for (i = fixed; i < s->config.layers; i++)
        assignment[order[i]] = nc_axx__bargain(s, order[i], exchange);
    return nc_axx__cost_of(s, assignment);
}

/* These layers for the least power within the budget: at the least exchange rate of power for
 * accuracy, the same in all (Lagrange), that the budget pays for; then what is left is spent. */
static void nc_axx__plan_layers(nc_axx_search *s, uint8_t *assignment, const uint32_t *order,
                                uint32_t fixed, double budget) {
    double low = 0, high = 1e-3;
    uint32_t step;
    for (step = 0; step < 16; step++, low = high, high *= 8)
        if (nc_axx__trade_layers(s, assignment, order, fixed, high) <= budget) break;
    for (step = 0; step < 24; step++) {
        const double middle = (low + high) / 2;
        if (nc_axx__trade_layers(s, assignment, order, fixed, middle) > budget)
            low = middle;
        else
            high = middle;
    }
    (void)nc_axx__trade_layers(s, assignment, order, fixed, high);
    s->exchange = high;
    nc_axx__repair_layers(s, assignment, order, fixed, budget);
}

/* -- what tree and genetic search share -- */

static const uint8_t *nc_axx__genes(const nc_axx_search *s, uint32_t id) {
    return s->assignments + (size_t)id * s->config.layers;
}

/* A candidate by the policy, where no estimates serve. */
static uint8_t nc_axx__roll(nc_axx_search *s) {
    double sum = 0, at;
    uint32_t i;
    if (s->config.policy != NC_AXX_POLICY_POWER)
        return (uint8_t)nc_axx__pick(s, s->config.candidates);
    for (i = 0; i < s->config.candidates; i++) sum += 1.0 / ((double)s->power[i] + 0.05);
    at = nc_axx__draw(s) * sum;
    for (i = 0; i + 1 < s->config.candidates; i++) {
        at -= 1.0 / ((double)s->power[i] + 0.05);
        if (at < 0) break;
    }
    return (uint8_t)i;
}

/* Whether the first rounds are through, which costs need. */
static int nc_axx__has_costs(const nc_axx_search *s) {
    return s->opened == s->config.candidates + s->config.layers;
}

/* The layers of the order from `fixed` on by the policy; or, from a parent (its number, else
 * UINT32_MAX), repaired by it: then the budget is what the parent's accuracy leaves of it,
 * whatever the costs say of the parent. Changed at random until it is a new assignment, at most
 * eight times. */
static void nc_axx__propose_layers(nc_axx_search *s, uint8_t *assignment, const uint32_t *order,
                                   uint32_t fixed, uint32_t parent) {
    uint8_t from[1024];
    uint32_t tries, i;
    memcpy(from, assignment, s->config.layers);
    for (tries = 0; tries < 8; tries++) {
        if (tries < 4) memcpy(assignment, from, s->config.layers);
        for (i = 0; i < tries && fixed < s->config.layers; i++) {
            const uint32_t at = order[fixed + nc_axx__pick(s, s->config.layers - fixed)];
            assignment[at] = nc_axx__roll(s); /* drawn after `at`, whatever the compiler */
        }
        if (nc_axx__has_costs(s) && tries < 4) {
            double budget = nc_axx__accuracy_budget(s);
            nc_axx__sample_costs(s, 1.0 + tries);
            if (parent != UINT32_MAX) {
                const double cost = nc_axx__cost_of(s, nc_axx__genes(s, parent));
                budget += cost - (s->top - s->accuracies[parent]);
                nc_axx__repair_layers(s, assignment, order, fixed, budget);
            } else {
                budget *= 0.8 + 0.3 * nc_axx__draw(s);
                nc_axx__plan_layers(s, assignment, order, fixed, budget);
            }
        } else if (parent == UINT32_MAX && tries < 4) {
            for (i = fixed; i < s->config.layers; i++) assignment[order[i]] = nc_axx__roll(s);
        }
        if (!nc_axx__met_before(s, assignment)) return;
    }
}

/* Layers by falling work. */
static uint32_t *nc_axx__layer_order(const nc_axx_search *s) {
    uint32_t *order = (uint32_t *)nc__alloc(NULL, s->config.layers * sizeof *order);
    uint32_t i, k;
    for (i = 0; i < s->config.layers && order; i++) {
        for (k = i; k && s->share[order[k - 1]] < s->share[i]; k--) order[k] = order[k - 1];
        order[k] = i;
    }
    return order;
}

/* Individuals are numbers of evaluated assignments. */
typedef struct nc_axx__population {
    uint32_t *members; /* of config.population, `count` of them so far */
    uint32_t *front;   /* stb_ds array: none has no more power and more accuracy than another */
    uint32_t *order;   /* all layers */
    uint32_t count;
} nc_axx__population;

static double nc_axx__fitness(const nc_axx_search *s, uint32_t id) {
    return nc_axx__reward(s, nc_axx__genes(s, id), s->accuracies[id]);
}

static uint32_t nc_axx__tournament(nc_axx_search *s, const nc_axx__population *p) {
    const uint32_t a = p->members[nc_axx__pick(s, p->count)];
    const uint32_t b = p->members[nc_axx__pick(s, p->count)];
    return nc_axx__fitness(s, a) >= nc_axx__fitness(s, b) ? a : b;
}

static void nc_axx__admit_to_front(const nc_axx_search *s, nc_axx__population *p, uint32_t id) {
    const double accuracy = s->accuracies[id], power = nc_axx__power_of(s, nc_axx__genes(s, id));
    size_t i, kept = 0, n = stbds_arrlenu(p->front);
    for (i = 0; i < n; i++) {
        const uint32_t other = p->front[i];
        const double its = nc_axx__power_of(s, nc_axx__genes(s, other));
        if (s->accuracies[other] >= accuracy && its <= power) return;
    }
    for (i = 0; i < n; i++) {
        const uint32_t other = p->front[i];
        const double its = nc_axx__power_of(s, nc_axx__genes(s, other));
        if (!(accuracy >= s->accuracies[other] && power <= its)) p->front[kept++] = other;
    }
    stbds_arrsetlen(p->front, kept);
    stbds_arrput(p->front, id);
}

/* Into the population, once, for the worst if that is not better, and the front. */
static void nc_axx__admit(const nc_axx_search *s, nc_axx__population *p, uint32_t id) {
    uint32_t i, worst = 0;
    nc_axx__admit_to_front(s, p, id);
    for (i = 0; i < p->count; i++) {
        if (p->members[i] == id) return;
        if (nc_axx__fitness(s, p->members[i]) < nc_axx__fitness(s, p->members[worst])) worst = i;
    }
    if (p->count < s->config.population)
        p->members[p->count++] = id;
    else if (nc_axx__fitness(s, id) >= nc_axx__fitness(s, p->members[worst]))
        p->members[worst] = id;
}

static nc_status nc_axx__try_assignment(nc_axx_search *s, nc_axx__population *p,
                                        const uint8_t *assignment, double *reward) {
    const int met = nc_axx__met_before(s, assignment);
    double accuracy;
    const nc_status status = nc_axx__evaluate(s, assignment, &accuracy);
    if (status != NC_OK) return status;
    *reward = nc_axx__reward(s, assignment, accuracy);
    if (!met && nc_axx__has_costs(s)) nc_axx__learn_costs(s, assignment, accuracy);
    nc_axx__admit(s, p, nc_axx__evaluated(s, assignment));
    return NC_OK;
}

/* The first rounds, as many as there are, or as are left of them: a candidate in all layers,
 * then the cheapest in one, where costs are wanted. */
static nc_status nc_axx__first_rounds(nc_axx_search *s, nc_axx__population *p, uint32_t *rounds) {
    const uint32_t n = s->config.candidates;
    const uint32_t all = s->config.policy == NC_AXX_POLICY_LEARNED ? n + s->config.layers : n;
    for (; *rounds && s->opened < all; --*rounds) {
        uint8_t assignment[1024];
        double reward;
        nc_status status;
        memset(assignment, s->opened < n ? (int)s->opened : s->base, s->config.layers);
        if (s->opened >= n) assignment[s->opened - n] = s->cheapest;
        status = nc_axx__try_assignment(s, p, assignment, &reward);
        if (status != NC_OK) return status;
        s->opened++;
        if (s->opened == n) nc_axx__first_costs(s);
        if (nc_axx__has_costs(s)) nc_axx__weigh_layers(s);
    }
    return NC_OK;
}

static void nc_axx__close_population(nc_axx__population *p) {
    stbds_arrfree(p->front);
    nc__free(NULL, p->members, 0);
    nc__free(NULL, p->order, 0);
}

/* What was met before, then the first rounds, off those that are left. To be closed in any case. */
static nc_status nc_axx__open_population(nc_axx_search *s, nc_axx__population *p,
                                         uint32_t *rounds) {
    uint32_t i;
    nc_axx__start(s, *rounds);
    p->members = (uint32_t *)nc__alloc(NULL, s->config.population * sizeof *p->members);
    p->order = nc_axx__layer_order(s);
    if (!p->members || !p->order) return NC_ERR_MEMORY;
    for (i = 0; i < stbds_arrlenu(s->accuracies); i++)
        if (s->seen[i]) nc_axx__admit(s, p, i);
    return nc_axx__first_rounds(s, p, rounds);
}

/* The layers of the order from `fixed` on: three times of ten by the policy alone, else crossed
 * from two parents. */
static void nc_axx__breed(nc_axx_search *s, const nc_axx__population *p, uint8_t *child,
                          uint32_t fixed) {
    uint32_t a, b, i;
    if (p->count < 4 || nc_axx__pick(s, 10) < 3) {
        nc_axx__propose_layers(s, child, p->order, fixed, UINT32_MAX);
        return;
    }
    a = nc_axx__tournament(s, p);
    b = nc_axx__tournament(s, p);
    if (nc_axx__pick(s, 4) == 0) b = p->front[nc_axx__pick(s, (uint32_t)stbds_arrlenu(p->front))];
    for (i = fixed; i < s->config.layers; i++) {
        const uint32_t l = p->order[i];
        const uint8_t *from = nc_axx__genes(s, nc_axx__draw(s) < 0.5 ? a : b);
        const int mutates = nc_axx__draw(s) * (double)s->config.layers < 1.0;
        child[l] = mutates ? nc_axx__roll(s) : from[l];
    }
    nc_axx__propose_layers(s, child, p->order, fixed, a);
}

/* -- tree search -- */

typedef struct nc_axx__node {
    uint32_t visits, first_child; /* children in a row of `candidates` nodes, 0: none */
    uint32_t again;               /* visits whose assignment was met before */
    double sum, best;             /* of what its assignments were worth */
} nc_axx__node;

typedef struct nc_axx__tree {
    nc_axx__node *nodes; /* stb_ds array */
    nc_axx__population p;
    double most; /* what the best was worth */
} nc_axx__tree;

/* What an assignment is worth to the tree: its reward, or, where costs are known, the power that is
 * saved less what it would take to buy the accuracy that is missing. */
static double nc_axx__tree_worth(const nc_axx_search *s, const uint8_t *assignment, double reward) {
    const double accuracy = s->accuracies[nc_axx__evaluated(s, assignment)];
    const double missing = s->config.least_accuracy - accuracy;
    if (!nc_axx__has_costs(s)) return reward;
    return -nc_axx__power_of(s, assignment) - (missing > 0 ? s->exchange * missing : 0.0);
}

/* How promising the candidates of a layer are, 1 for the best: the less, the more of the bargain
 * they lose, by tenths of what a layer takes in the mean. */
static void nc_axx__promise(const nc_axx_search *s, uint32_t layer, double promise[64]) {
    const uint32_t n = s->config.candidates;
    const double tenth = (double)s->power[s->safest] / (10.0 * (double)s->config.layers) + 1e-12;
    double least = 1e300;
    uint32_t c;
    for (c = 0; c < n; c++) {
        const double cost = s->sampled[(size_t)layer * n + c];
        promise[c] =
            nc_axx__has_costs(s) ? nc_axx__power_price(s, layer, c) + s->exchange * cost : 0.0;
        if (promise[c] < least) least = promise[c];
    }
    for (c = 0; c < n; c++) {
        promise[c] = 1.0 / (1.0 + (promise[c] - least) / tenth);
        promise[c] *= promise[c];
    }
}

/* The child to follow: where most is to be expected, on the scale from the parent's mean to the
 * best seen, or little is known; one whose assignments were met before has less to give. */
static uint32_t nc_axx__best_child(nc_axx_search *s, const nc_axx__tree *tree, uint32_t node,
                                   uint32_t layer) {
    const nc_axx__node *parent = &tree->nodes[node];
    const double mean = parent->visits ? parent->sum / (double)parent->visits : 0.0;
    const double range = tree->most - mean > 1e-3 ? tree->most - mean : 1e-3;
    double promise[64], most = -1e300;
    uint32_t i, best = 0;
    nc_axx__promise(s, layer, promise);
    for (i = 0; i < s->config.candidates; i++) {
        const nc_axx__node *child = &tree->nodes[parent->first_child + i];
        const double visits = (double)child->visits;
        double score = s->config.exploration * promise[i] * sqrt(1.0 + (double)parent->visits) /
                       (1.0 + visits);
        if (child->visits) {
            const double again = (double)child->again / visits;
            score += ((child->sum / visits + child->best) / 2 - mean) / range - 10 * again * again;
        }
        if (!(score > most)) continue;
        most = score;
        best = i;
    }
    return best;
}

/* Descend from the root, deciding a layer a level, to a node that is new or, at each level one time
 * of four, no further: its depth. */
static uint32_t nc_axx__descend_tree(nc_axx_search *s, nc_axx__tree *tree, uint8_t *assignment,
                                     uint32_t *path) {
    nc_axx__node empty;
    uint32_t depth = 0, node = 0, i;
    memset(&empty, 0, sizeof empty);
    empty.best = -1e300;
    path[0] = 0;
    while (depth < s->config.layers && (!depth || tree->nodes[node].visits) &&
           nc_axx__draw(s) < 0.75) {
        const uint32_t layer = tree->p.order[depth];
        uint32_t choice;
        if (!tree->nodes[node].first_child) {
            tree->nodes[node].first_child = (uint32_t)stbds_arrlenu(tree->nodes);
            for (i = 0; i < s->config.candidates; i++) stbds_arrput(tree->nodes, empty);
        }
        choice = nc_axx__best_child(s, tree, node, layer);
        assignment[layer] = (uint8_t)choice;
        node = tree->nodes[node].first_child + choice;
        path[++depth] = node;
    }
    return depth;
}

static nc_status nc_axx__tree_round(nc_axx_search *s, nc_axx__tree *tree) {
    uint8_t assignment[1024];
    uint32_t path[1025], depth, i;
    double reward, worth;
    nc_status status;
    int met;
    memset(assignment, 0, s->config.layers);
    depth = nc_axx__descend_tree(s, tree, assignment, path);
    nc_axx__breed(s, &tree->p, assignment, depth);
    met = nc_axx__met_before(s, assignment);
    status = nc_axx__try_assignment(s, &tree->p, assignment, &reward);
    if (status != NC_OK) return status;
    worth = nc_axx__tree_worth(s, assignment, reward);
    if (worth > tree->most) tree->most = worth;
    for (i = 0; i <= depth; i++) {
        nc_axx__node *node = &tree->nodes[path[i]];
        node->visits++;
        node->again += (uint32_t)met;
        node->sum += worth;
        if (worth > node->best) node->best = worth;
    }
    return NC_OK;
}

NC_API nc_status nc_axx_search_mcts(nc_axx_search *search, uint32_t rounds) {
    nc_axx__node root;
    nc_axx__tree tree;
    nc_status status;
    if (!search) return NC_ERR_ARG;
    memset(&root, 0, sizeof root);
    memset(&tree, 0, sizeof tree);
    tree.most = root.best = -1e300;
    status = nc_axx__open_population(search, &tree.p, &rounds);
    if (status == NC_OK) stbds_arrput(tree.nodes, root);
    for (; rounds && status == NC_OK; rounds--) status = nc_axx__tree_round(search, &tree);
    stbds_arrfree(tree.nodes);
    nc_axx__close_population(&tree.p);
    return status;
}

/* -- genetic search -- */

NC_API nc_status nc_axx_search_genetic(nc_axx_search *search, uint32_t rounds) {
    nc_axx__population p;
    nc_status status;
    if (!search) return NC_ERR_ARG;
    memset(&p, 0, sizeof p);
    status = nc_axx__open_population(search, &p, &rounds);
    for (; rounds && status == NC_OK; rounds--) {
        uint8_t child[1024];
        double reward;
        nc_axx__breed(search, &p, child, 0);
        status = nc_axx__try_assignment(search, &p, child, &reward);
    }
    nc_axx__close_population(&p);
    return status;
}

/* The candidate of the next lower power, or -1. */
static int nc_axx__cheaper(const nc_axx_search *s, uint8_t than) {
    int best = -1;
    uint32_t i;
    for (i = 0; i < s->config.candidates; i++)
        if (s->power[i] < s->power[than] && (best < 0 || s->power[i] > s->power[best]))
            best = (int)i;
    return best;
}

NC_API nc_status nc_axx_search_greedy(nc_axx_search *search) {
    uint8_t assignment[1024], first = 0;
    double accuracy = 0;
    nc_status status;
    uint32_t i;
    if (!search) return NC_ERR_ARG;
    for (i = 1; i < search->config.candidates; i++)
        if (search->power[i] > search->power[first]) first = (uint8_t)i;
    memset(assignment, first, sizeof assignment);
    nc_axx__start(search, search->config.layers * (search->config.candidates - 1));
    status = nc_axx__evaluate(search, assignment, &accuracy);
    for (;;) {
        double most = 0;
        uint32_t layer = 0;
        int choice = -1;
        for (i = 0; i < search->config.layers && status == NC_OK; i++) {
            const uint8_t old = assignment[i];
            const int cheaper = nc_axx__cheaper(search, old);
            double saved;
            if (cheaper < 0) continue;
            saved =
                search->share[i] * ((double)search->power[old] - (double)search->power[cheaper]);
            if (!(saved > most)) continue;
            assignment[i] = (uint8_t)cheaper;
            status = nc_axx__evaluate(search, assignment, &accuracy);
            assignment[i] = old;
            if (status != NC_OK || accuracy < search->config.least_accuracy) continue;
            most = saved;
            layer = i;
            choice = cheaper;
        }
        if (status != NC_OK || choice < 0) return status;
        assignment[layer] = (uint8_t)choice;
    }
}

NC_API nc_status nc_axx_search_exhaustive(nc_axx_search *search) {
    uint8_t assignment[1024];
    nc_status status = NC_OK;
    uint64_t all = 1, i;
    uint32_t k;
    if (!search) return NC_ERR_ARG;
    for (k = 0; k < search->config.layers; k++)
        if ((all *= search->config.candidates) > 65536) return NC_ERR_LIMIT;
    nc_axx__start(search, (uint32_t)all);
    for (i = 0; i < all && status == NC_OK; i++) {
        uint64_t rest = i;
        double accuracy = 0;
        for (k = 0; k < search->config.layers; k++, rest /= search->config.candidates)
            assignment[k] = (uint8_t)(rest % search->config.candidates);
        status = nc_axx__evaluate(search, assignment, &accuracy);
    }
    return status;
}

NC_API size_t nc_axx_search_count(const nc_axx_search *search) {
    return stbds_arrlenu(search->accuracies);
}

NC_API nc_status nc_axx_search_get(const nc_axx_search *search, size_t index,
                                   nc_axx_solution *solution) {
    if (!search || !solution || index >= nc_axx_search_count(search)) return NC_ERR_ARG;
    solution->assignment = search->assignments + index * search->config.layers;
    solution->accuracy = search->accuracies[index];
    solution->power = nc_axx__power_of(search, solution->assignment);
    return NC_OK;
}

NC_API nc_status nc_axx_search_best(const nc_axx_search *search, nc_axx_solution *solution) {
    nc_status status = NC_ERR_MATH;
    nc_axx_solution one;
    size_t i;
    if (!search || !solution) return NC_ERR_ARG;
    for (i = 0; i < nc_axx_search_count(search); i++) {
        (void)nc_axx_search_get(search, i, &one);
        if (one.accuracy < search->config.least_accuracy) continue;
        if (status == NC_OK &&
            (one.power > solution->power ||
             (!(one.power < solution->power) && !(one.accuracy > solution->accuracy))))
            continue;
        *solution = one;
        status = NC_OK;
    }
    return status;
}

/* By rising power; of equal power the most accurate first, then in order of evaluation. */
static int nc_axx__by_power(const void *a, const void *b) {
    const nc_axx_solution *x = (const nc_axx_solution *)a, *y = (const nc_axx_solution *)b;
    if (x->power < y->power || x->power > y->power) return x->power < y->power ? -1 : 1;
    if (x->accuracy < y->accuracy || x->accuracy > y->accuracy)
        return x->accuracy > y->accuracy ? -1 : 1;
    return x->assignment < y->assignment ? -1 : x->assignment > y->assignment;
}

NC_API nc_status nc_axx_search_front(const nc_axx_search *search, nc_axx_solution *solutions,
                                     size_t most, size_t *count) {
    nc_axx_solution *all;
    double best = -1;
    size_t i, n;
    if (!search || !count || (most && !solutions)) return NC_ERR_ARG;
    n = nc_axx_search_count(search);
    all = (nc_axx_solution *)nc__alloc(NULL, nc__mul_size(n, sizeof *all));
    if (!all) return NC_ERR_MEMORY;
    for (i = 0; i < n; i++) (void)nc_axx_search_get(search, i, &all[i]);
    if (n) qsort(all, n, sizeof *all, nc_axx__by_power);
    *count = 0;
    for (i = 0; i < n; i++) {
        if (!(all[i].accuracy > best)) continue;
        best = all[i].accuracy;
        if (*count < most) solutions[*count] = all[i];
        ++*count;
    }
    nc__free(NULL, all, 0);
    return NC_OK;
}

/* Solutions as CSV behind what the buffer holds. */
static void nc_axx__write_solutions(const nc_axx_search *s, const nc_axx_solution *some,
                                    size_t count, nc__buffer *b) {
    size_t i;
    uint32_t k;
    nc__buffer_print(b, "accuracy,power");
    for (k = 0; k < s->config.layers; k++) nc__buffer_print(b, ",layer%u", (unsigned)k);
    for (i = 0; i < count; i++) {
        nc__buffer_put(b, "\n", 1);
        nc__buffer_real(b, some[i].accuracy, 17);
        nc__buffer_put(b, ",", 1);
        nc__buffer_real(b, some[i].power, 17);
        for (k = 0; k < s->config.layers; k++)
            nc__buffer_print(b, ",%u", (unsigned)some[i].assignment[k]);
    }
    nc__buffer_put(b, "\n", 1);
}

/* All that was evaluated, in order; null: no memory. */
static nc_axx_solution *nc_axx__all_solutions(const nc_axx_search *s) {
    const size_t count = nc_axx_search_count(s);
    nc_axx_solution *all = (nc_axx_solution *)nc__alloc(NULL, nc__mul_size(count + 1, sizeof *all));
    size_t i;
    for (i = 0; i < count && all; i++) (void)nc_axx_search_get(s, i, &all[i]);
    return all;
}

NC_API nc_status nc_axx_search_csv(const nc_axx_search *search, int front_only, char **text,
                                   size_t *bytes) {
    nc_axx_solution *some;
    nc_status status = NC_OK;
    nc__buffer b;
    size_t count;
    if (text) *text = NULL;
    if (bytes) *bytes = 0;
    if (!search || !text || !bytes) return NC_ERR_ARG;
    memset(&b, 0, sizeof b);
    some = nc_axx__all_solutions(search);
    if (!some) return NC_ERR_MEMORY;
    count = nc_axx_search_count(search);
    if (front_only) status = nc_axx_search_front(search, some, count, &count);
    if (status == NC_OK) nc_axx__write_solutions(search, some, count, &b);
    nc__free(NULL, some, 0);
    return nc_axx__hand_over(&b, status, text, bytes, NULL);
}

/* Of all that decides which way a search goes. */
static uint64_t nc_axx__search_fingerprint(const nc_axx_search *s) {
    const nc_axx_search_config *c = &s->config;
    const double reals[2] = {c->least_accuracy, c->exploration};
    const uint32_t numbers[2] = {(uint32_t)c->policy, c->population};
    uint64_t hash = NC__FNV_START, bits;
    uint8_t le[8];
    uint32_t i;
    for (i = 0; i < c->layers + c->candidates + 4; i++) {
        double real;
        if (i < c->layers)
            real = s->share[i];
        else if (i < c->layers + c->candidates)
            real = (double)s->power[i - c->layers];
        else if (i < c->layers + c->candidates + 2)
            real = reals[i - c->layers - c->candidates];
        else
            real = (double)numbers[i - c->layers - c->candidates - 2];
        memcpy(&bits, &real, 8);
        nc__put_le(le, bits, 8);
        hash = nc__fnv1a(hash, le, 8);
    }
    return hash;
}

NC_API nc_status nc_axx_search_state(const nc_axx_search *search, char **text, size_t *bytes) {
    nc_axx_solution *all;
    nc__buffer b, body;
    if (text) *text = NULL;
    if (bytes) *bytes = 0;
    if (!search || !text || !bytes) return NC_ERR_ARG;
    memset(&b, 0, sizeof b);
    memset(&body, 0, sizeof body);
    all = nc_axx__all_solutions(search);
    if (!all) return NC_ERR_MEMORY;
    nc_axx__write_solutions(search, all, nc_axx_search_count(search), &body);
    nc__buffer_print(&b, "#nc_axx search 1: layers %u, candidates %u, seed %llu, ",
                     (unsigned)search->config.layers, (unsigned)search->config.candidates,
                     (unsigned long long)search->config.seed);
    nc__buffer_print(&b, "settings %llu, assignments %llu, checksum %llu\n",
                     (unsigned long long)nc_axx__search_fingerprint(search),
                     (unsigned long long)nc_axx_search_count(search),
                     (unsigned long long)nc__fnv1a(NC__FNV_START, body.data, body.used));
    nc__buffer_put(&b, body.data, body.used);
    if (body.status != NC_OK) b.status = body.status;
    nc__buffer_free(&body);
    nc__free(NULL, all, 0);
    return nc_axx__hand_over(&b, NC_OK, text, bytes, NULL);
}

/* What a file of a search holds. */
typedef struct nc_axx__search_file {
    uint8_t *assignments; /* stb_ds arrays */
    double *accuracies;
    uint64_t count, checksum; /* of a state */
    int is_state;
} nc_axx__search_file;

static void nc_axx__state_words(nc__text *t, const char *words) {
    for (; *words && t->status == NC_OK; words++)
        if (nc__peek(t, 0) == *words)
            nc__step(t);
        else
            (void)nc__text_fail(t, NC_ERR_FORMAT, "expected '%s' of a search's state", words);
}

/* A number of the first line behind these words. */
static uint64_t nc_axx__state_number(nc__text *t, const char *words) {
    nc_axx__state_words(t, words);
    return t->status == NC_OK ? nc_axx__natural(t, 0) : 0;
}

/* A number that must be the search's. */
static void nc_axx__state_must_be(nc__text *t, const char *words, const char *name, uint64_t here) {
    const uint64_t there = nc_axx__state_number(t, words);
    if (t->status == NC_OK && there != here)
        (void)nc__text_fail(t, NC_ERR_MISMATCH, "a state of another search: %s %llu, here %llu",
                            name, (unsigned long long)there, (unsigned long long)here);
}

static void nc_axx__load_state_line(const nc_axx_search *s, nc_axx__search_file *f, nc__text *t) {
    f->is_state = 1;
    nc_axx__state_must_be(t, "#nc_axx search ", "version", 1);
    nc_axx__state_must_be(t, ": layers ", "layers", s->config.layers);
    nc_axx__state_must_be(t, ", candidates ", "candidates", s->config.candidates);
    nc_axx__state_must_be(t, ", seed ", "seed", s->config.seed);
    nc_axx__state_must_be(t, ", settings ", "shares, powers or settings",
                          nc_axx__search_fingerprint(s));
    f->count = nc_axx__state_number(t, ", assignments ");
    f->checksum = nc_axx__state_number(t, ", checksum ");
    nc_axx__state_words(t, "\n");
}

/* accuracy,power,candidate,candidate .. up to the end of the line. */
static void nc_axx__load_line(const nc_axx_search *s, nc_axx__search_file *f, nc__text *t) {
    uint8_t assignment[1024], *to;
    const nc__text start = *t;
    double accuracy, power, own;
    uint32_t k, at;
    accuracy = nc__text_real(t);
    if (!(accuracy >= 0 && accuracy <= 1))
        (void)nc__text_fail(t, NC_ERR_FORMAT, "an accuracy lies between 0 and 1");
    nc_axx__expect(t, ',');
    power = nc__text_real(t);
    for (k = 0; k < s->config.layers; k++) {
        int64_t candidate;
        nc_axx__expect(t, ',');
        candidate = nc_axx__integer(t, 0);
        if (candidate >= (int64_t)s->config.candidates)
            (void)nc__text_fail(t, NC_ERR_FORMAT, "no such candidate");
        assignment[k] = (uint8_t)candidate;
    }
    if (nc__peek(t, 0) >= 0 && nc__peek(t, 0) != '\n' && nc__peek(t, 0) != '\r')
        (void)nc__text_fail(t, NC_ERR_FORMAT, "expected the end of the line");
    if (t->status != NC_OK) return;
    own = nc_axx__power_of(s, assignment);
    at = nc_axx__evaluated(s, assignment);
    if (!(fabs(power - own) <= 1e-9 * (1 + own))) {
        t->at = start.at;
        (void)nc__text_fail(t, NC_ERR_MISMATCH,
                            "the power is not this assignment's: other multipliers or layers");
    } else if (at != UINT32_MAX && s->accuracies[at] != accuracy) {
        t->at = start.at;
        (void)nc__text_fail(t, NC_ERR_MISMATCH, "the accuracy is known, and another one");
    }
    stbds_arrput(f->accuracies, accuracy);
    to = stbds_arraddnptr(f->assignments, s->config.layers);
    if (to) memcpy(to, assignment, s->config.layers);
}

/* Count what a whole file holds as evaluated. */
static nc_status nc_axx__take_file(nc_axx_search *s, const nc_axx__search_file *f) {
    size_t i;
    for (i = 0; i < stbds_arrlenu(f->accuracies); i++) {
        const uint8_t *assignment = f->assignments + i * s->config.layers;
        nc_status status;
        if (nc_axx__evaluated(s, assignment) != UINT32_MAX) continue;
        status = nc_axx__remember(s, assignment, f->accuracies[i]);
        if (status != NC_OK) return status;
    }
    return NC_OK;
}

NC_API nc_status nc_axx_search_load(nc_axx_search *search, const char *text, size_t bytes,
                                    nc_error *err) {
    nc_axx__search_file f;
    nc__text t;
    const char *body;
    nc__clear(err);
    if (!search || (!text && bytes)) return nc__fail(err, NC_ERR_ARG, 0, 0, "null argument");
    memset(&f, 0, sizeof f);
    nc__text_open(&t, text, bytes, err);
    if (nc__peek(&t, 0) == '#') nc_axx__load_state_line(search, &f, &t);
    body = t.at;
    nc_axx__skip_line(&t); /* the names */
    for (nc__skip_space(&t); nc__peek(&t, 0) >= 0; nc__skip_space(&t))
        nc_axx__load_line(search, &f, &t);
    if (t.status == NC_OK && f.is_state && f.count != stbds_arrlenu(f.accuracies))
        (void)nc__text_fail(&t, NC_ERR_MISMATCH, "the state ends after %llu of %llu assignments",
                            (unsigned long long)stbds_arrlenu(f.accuracies),
                            (unsigned long long)f.count);
    if (t.status == NC_OK && f.is_state &&
        nc__fnv1a(NC__FNV_START, body, bytes - (size_t)(body - text)) != f.checksum)
        (void)nc__text_fail(&t, NC_ERR_MISMATCH, "the checksum tells that the state was changed");
    if (t.status == NC_OK && nc_axx__take_file(search, &f) != NC_OK)
        (void)nc__text_fail(&t, NC_ERR_MEMORY, "out of memory");
    stbds_arrfree(f.assignments);
    stbds_arrfree(f.accuracies);
    return t.status;
}

#ifndef NC_NO_STDIO
NC_API nc_status nc_axx_search_save(const nc_axx_search *search, const char *path, nc_error *err) {
    char *text = NULL;
    size_t bytes = 0;
    nc_status status;
    if (!search || !path) return nc__fail(err, NC_ERR_ARG, 0, 0, "null argument");
    status = nc_axx_search_state(search, &text, &bytes);
    if (status != NC_OK) return nc__fail(err, status, 0, 0, "out of memory");
    status = nc_file_write(path, text, bytes, err);
    nc_axx_free_text(text);
    return status;
}

NC_API nc_status nc_axx_search_resume(nc_axx_search *search, const char *path, nc_error *err) {
    char *text = NULL;
    size_t bytes = 0;
    nc_status status;
    if (!search || !path) return nc__fail(err, NC_ERR_ARG, 0, 0, "null argument");
    status = nc_file_read(path, &text, &bytes, err);
    if (status == NC_OK) status = nc_axx_search_load(search, text, bytes, err);
    nc_file_free(text);
    return status;
}
#endif

NC__COLD_END

#ifdef NC_GPU
/* >>gpu ============================================================================ */

/* A term's factor on a device, and what is added to the bytes that its maps give: f(a) is map 2 r
 * and g(b) map 2 r + 1 of nc_axx_gpu.maps. */
typedef struct nc_axx__gpu_term {
    uint32_t factor, add[2];
} nc_axx__gpu_term;

struct nc_axx_gpu {
    nc_gpu *device;
    nc_gpu_buffer *table[2]; /* [first][second], [second][first]: 16 bits above `offset` */
    nc_gpu_buffer *maps;     /* 256 words each; null without terms */
    int32_t offset, largest;
    uint32_t products; /* terms that are all of it but `rest`; 0: look-ups */
    int32_t rest;
    nc_axx__gpu_term terms[NC_AXX__TERMS];
};

NC_API void nc_axx_gpu_close(nc_axx_gpu *gpu) {
    if (!gpu) return;
    nc_gpu_buffer_destroy(gpu->device, gpu->table[0]);
    nc_gpu_buffer_destroy(gpu->device, gpu->table[1]);
    nc_gpu_buffer_destroy(gpu->device, gpu->maps);
    nc__free(NULL, gpu, 0);
}

static nc_status nc_axx__gpu_upload(nc_axx_gpu *gpu, nc_gpu_buffer **buffer, const uint32_t *words,
                                    size_t count) {
    nc_status status = nc_gpu_buffer_create(gpu->device, count * sizeof *words, buffer);
    if (status != NC_OK) return status;
    return nc_gpu_upload(gpu->device, *buffer, 0, words, count * sizeof *words);
}

/* An engine's table to the device, both ways round; the entries of bytes b and b + 128 share a
 * word. NC_ERR_UNSUPPORTED when its products are further apart. */
static nc_status nc_axx__gpu_tables(nc_axx_gpu *gpu, const nc_axx_engine *engine) {
    int64_t most = engine->table[0];
    nc_status status = NC_OK;
    uint32_t *words, i, k;
    gpu->offset = engine->table[0];
    for (i = 1; i < 65536; i++) {
        if (engine->table[i] < gpu->offset) gpu->offset = engine->table[i];
        if (engine->table[i] > most) most = engine->table[i];
    }
    if (most - gpu->offset > 65535) return NC_ERR_UNSUPPORTED;
    words = (uint32_t *)nc__alloc(NULL, 32768 * sizeof *words);
    if (!words) return NC_ERR_MEMORY;
    for (k = 0; k < 2 && status == NC_OK; k++) {
        const int32_t *table = k ? engine->turned : engine->table;
        for (i = 0; i < 32768; i++) {
            const int32_t *pair = table + i / 128 * 256 + i % 128;
            words[i] = (uint32_t)(pair[0] - gpu->offset) | (uint32_t)(pair[128] - gpu->offset)
                                                               << 16;
        }
        status = nc_axx__gpu_upload(gpu, &gpu->table[k], words, 32768);
    }
    nc__free(NULL, words, 0);
    return status;
}

/* The terms of an engine that has nothing else. */
static nc_status nc_axx__gpu_terms(nc_axx_gpu *gpu, const nc_axx_engine *engine) {
    uint32_t *words, r, i;
    nc_status status;
    if (engine->info.planes) return NC_OK;
    gpu->products = engine->info.products;
    gpu->rest = engine->rest_offset;
    if (!gpu->products) return NC_OK;
    words = (uint32_t *)nc__alloc(NULL, (size_t)gpu->products * 512 * sizeof *words);
    if (!words) return NC_ERR_MEMORY;
    for (r = 0; r < gpu->products; r++) {
        const nc_axx__term *t = &engine->terms[r];
        for (i = 0; i < 256; i++) { /* f = u - u_offset as a signed byte too */
            words[r * 512 + i] = (uint8_t)(t->u[i] - 128);
            words[r * 512 + 256 + i] = (uint8_t)t->v[i];
        }
        gpu->terms[r].factor = (uint32_t)t->factor;
        gpu->terms[r].add[0] = (uint32_t)(128 - t->u_offset);
        gpu->terms[r].add[1] = (uint32_t)t->v_offset;
    }
    status = nc_axx__gpu_upload(gpu, &gpu->maps, words, (size_t)gpu->products * 512);
    nc__free(NULL, words, (size_t)gpu->products * 512 * sizeof *words);
    return status;
}

NC_API nc_status nc_axx_gpu_open(nc_axx_gpu **gpu, nc_gpu *device, const nc_axx_engine *engine) {
    static const char *const kernels[] = {"axx_gemm", "axx_im2col", "axx_map", "axx_terms"};
    nc_gpu_kernel *kernel;
    nc_axx_gpu *made;
    nc_status status;
    size_t i;
    if (!gpu) return NC_ERR_ARG;
    *gpu = NULL;
    if (!device || !engine) return NC_ERR_ARG;
    if (engine->wide) return NC_ERR_UNSUPPORTED;
    made = (nc_axx_gpu *)nc__calloc(NULL, sizeof *made);
    if (!made) return NC_ERR_MEMORY;
    made->device = device;
    made->largest = engine->info.largest;
    status = nc_axx__gpu_tables(made, engine);
    if (status == NC_OK) status = nc_axx__gpu_terms(made, engine);
    for (i = 0; i < sizeof kernels / sizeof *kernels && status == NC_OK; i++)
        status = nc_gpu_kernel_load(device, kernels[i], &kernel);
    if (status == NC_OK)
        *gpu = made;
    else
        nc_axx_gpu_close(made);
    return status;
}

/* `groups` matrices of rows of k bytes as the kernels take them: words [group][four of k][row], 0
 * behind k. */
static uint32_t *nc_axx__packed(const void *in, size_t groups, size_t rows, size_t k) {
    const size_t words = (k + 3) / 4;
    const uint8_t *bytes = (const uint8_t *)in;
    uint32_t *out = (uint32_t *)nc__alloc(NULL, nc__mul_size(groups * rows, 4 * words)), *to = out;
    size_t g, first, w, r, i;
    for (g = 0; g < groups && out; g++, bytes += rows * k, to += words * rows)
        for (first = 0; first < rows; first += 16) /* a cache line of words */
            for (w = 0; w < words; w++)
                for (r = first; r < rows && r < first + 16; r++) {
                    uint32_t word = 0;
                    for (i = 4 * w; i < k && i < 4 * w + 4; i++)
                        word |= (uint32_t)bytes[r * k + i] << (i % 4 * 8);
                    to[w * rows + r] = word;
                }
    return out;
}

/* Sums (rows x columns) of `groups` pairs of packed matrices on a device. */
typedef struct nc_axx__gpu_sums {
    nc_gpu_buffer *in[2], *mapped[2], *sums; /* rows, columns; `mapped` once they are needed */
    size_t groups, rows, columns, k;
    size_t first, places; /* columns first .. of images of so many, which lie apart in the sums */
    int second;           /* the rows are second operands */
    int turned;           /* by look-ups: the sums are columns x rows */
} nc_axx__gpu_sums;

static void nc_axx__gpu_look_up(nc_gpu_job *job, const nc_axx_gpu *gpu, const nc_axx__gpu_sums *s) {
    nc_gpu_buffer *buffers[4];
    uint32_t push[7];
    buffers[0] = gpu->table[s->second];
    buffers[1] = s->in[0];
    buffers[2] = s->in[1];
    buffers[3] = s->sums;
    push[0] = (uint32_t)s->rows;
    push[1] = (uint32_t)s->columns;
    push[2] = (uint32_t)s->k;
    push[3] = (uint32_t)s->first;
    push[4] = (uint32_t)s->places;
    push[5] = (uint32_t)s->turned;
    push[6] = (uint32_t)s->k * (uint32_t)gpu->offset;
    nc_gpu_job_dispatch(job, "axx_gemm", buffers, 4, push, sizeof push, (s->columns + 255) / 256,
                        (s->rows + 7) / 8, s->groups);
}

/* One side's operands through map `map`. */
static void nc_axx__gpu_map(nc_gpu_job *job, const nc_axx_gpu *gpu, nc_axx__gpu_sums *s, int side,
                            uint32_t map) {
    const size_t words = (s->k + 3) / 4, columns = side ? s->columns : s->rows;
    const size_t count = s->groups * words * columns, blocks = (count + 1023) / 1024;
    const size_t along = blocks < 65535 ? blocks : 65535;
    nc_gpu_buffer *buffers[3];
    uint32_t push[5];
    if (!s->mapped[side])
        s->mapped[side] = nc_gpu_job_buffer(
            job, NULL, 0, job->status == NC_OK ? nc_gpu_buffer_bytes(s->in[side]) : 0);
    buffers[0] = s->in[side];
    buffers[1] = gpu->maps;
    buffers[2] = s->mapped[side];
    push[0] = (uint32_t)count;
    push[1] = (uint32_t)columns;
    push[2] = (uint32_t)words;
    push[3] = (uint32_t)s->k;
    push[4] = map;
    nc_gpu_job_dispatch(job, "axx_map", buffers, 3, push, sizeof push, along, 1,
                        (blocks + along - 1) / along);
}

static void nc_axx__gpu_by_terms(nc_gpu_job *job, const nc_axx_gpu *gpu, nc_axx__gpu_sums *s) {
    nc_gpu_buffer *buffers[3];
    uint32_t push[10], r;
    const uint32_t k = (uint32_t)s->k, first = (uint32_t)s->second;
    push[0] = (uint32_t)s->rows;
    push[1] = (uint32_t)s->columns;
    push[2] = (k + 3) / 4;
    push[3] = (uint32_t)s->first;
    push[4] = (uint32_t)s->places;
    for (r = 0; r < gpu->products; r++) {
        const nc_axx__gpu_term *t = &gpu->terms[r];
        nc_axx__gpu_map(job, gpu, s, 0, 2 * r + first);
        nc_axx__gpu_map(job, gpu, s, 1, 2 * r + 1 - first);
        push[5] = r > 0;
        push[6] = t->factor;
        push[7] = t->add[first];
        push[8] = t->add[1 - first];
        push[9] = t->factor * k * t->add[0] * t->add[1] + (r ? 0 : k * (uint32_t)gpu->rest);
        buffers[0] = s->mapped[0];
        buffers[1] = s->mapped[1];
        buffers[2] = s->sums;
        nc_gpu_job_dispatch(job, "axx_terms", buffers, 3, push, sizeof push, (s->columns + 63) / 64,
                            (s->rows + 63) / 64, s->groups);
    }
}

/* Terms pay from a quarter of their tile of 64 x 64 on. */
static int nc_axx__gpu_has_terms(const nc_axx_gpu *gpu, size_t rows, size_t columns) {
    return gpu->products && rows >= 16 && columns >= 16;
}

NC_API nc_status nc_axx_gpu_gemm(nc_axx_gpu *gpu, const void *x, const void *w, int32_t *sums,
                                 size_t batch, size_t m, size_t n, size_t k) {
    const size_t row = (k + 3) / 4 * 4, bytes = nc__mul_size(batch * m, n * sizeof *sums);
    nc_axx__gpu_sums s;
    nc_gpu_job job;
    uint32_t *a, *b;
    int terms, turned;
    if (!gpu || !x || !w || !sums) return NC_ERR_ARG;
    if (!batch || !m || !n || !k) return NC_ERR_ARG;
    if ((uint64_t)gpu->largest > (uint64_t)INT32_MAX / k || m > 1 << 19 || n > 1 << 19 ||
        batch > 65535 || (uint64_t)batch * m * n >> 31 || (uint64_t)batch * m * row >> 31 ||
        (uint64_t)batch * n * row >> 31)
        return NC_ERR_LIMIT;
    memset(&s, 0, sizeof s);
    terms = nc_axx__gpu_has_terms(gpu, m, n);
    turned = !terms && m > n; /* rows of the table are fetched for the fewer operands */
    s.groups = batch;
    s.rows = turned ? n : m;
    s.columns = s.places = turned ? m : n;
    s.k = k;
    s.second = s.turned = turned;
    a = nc_axx__packed(x, batch, m, k);
    b = nc_axx__packed(w, batch, n, k);
    nc_gpu_job_start(&job, gpu->device);
    if (!a || !b) job.status = NC_ERR_MEMORY;
    s.in[turned] = nc_gpu_job_buffer(&job, a, batch * m * row, batch * m * row);
    s.in[1 - turned] = nc_gpu_job_buffer(&job, b, batch * n * row, batch * n * row);
    s.sums = nc_gpu_job_buffer(&job, NULL, 0, bytes);
    if (terms)
        nc_axx__gpu_by_terms(&job, gpu, &s);
    else
        nc_axx__gpu_look_up(&job, gpu, &s);
    nc__free(NULL, a, 0);
    nc__free(NULL, b, 0);
    return nc_gpu_job_finish(&job, s.sums, 0, sums, bytes);
}

NC_API nc_status nc_axx_gpu_linear(nc_axx_gpu *gpu, const void *x, float x_scale, const void *w,
                                   const float *w_scale, const float *bias, float *y, size_t rows,
                                   size_t k, size_t out) {
    int32_t *sums;
    nc_status status;
    if (!w_scale || !y) return NC_ERR_ARG;
    sums = (int32_t *)nc__alloc(NULL, nc__mul_size(rows, nc__mul_size(out, sizeof *sums)));
    if (!sums) return NC_ERR_MEMORY;
    status = nc_axx_gpu_gemm(gpu, x, w, sums, 1, rows, out, k);
    if (status == NC_OK) nc_axx__values_of(y, sums, rows, out, x_scale, w_scale, bias, 0);
    nc__free(NULL, sums, 0);
    return status;
}

NC_API nc_status nc_axx_gpu_matmul(nc_axx_gpu *gpu, const void *a, float a_scale, const void *b,
                                   float b_scale, int b_by_rows, float *y, size_t batch, size_t m,
                                   size_t n, size_t k) {
    const float scale = a_scale * b_scale;
    const uint8_t *second = (const uint8_t *)b;
    uint8_t *turned = NULL;
    int32_t *sums;
    nc_status status = NC_OK;
    size_t i;
    if (!gpu || !a || !b || !y) return NC_ERR_ARG;
    sums = (int32_t *)nc__alloc(NULL, nc__mul_size(batch, nc__mul_size(m * n, sizeof *sums)));
    if (b_by_rows) turned = (uint8_t *)nc__alloc(NULL, nc__mul_size(batch, n * k));
    if (!sums || (b_by_rows && !turned)) status = NC_ERR_MEMORY;
    for (i = 0; i < batch && turned && status == NC_OK; i++)
        (void)nc_axx__turn(turned + i * n * k, second + i * n * k, n, k, 1);
    if (status == NC_OK)
        status = nc_axx_gpu_gemm(gpu, a, turned ? turned : second, sums, batch, m, n, k);
    if (status == NC_OK) nc_axx__rows_values(y, sums, 1, batch * m * n, batch * m * n, scale, 0.0f);
    nc__free(NULL, sums, 0);
    nc__free(NULL, turned, 0);
    return status;
}

/* A convolution's columns first .. of one group after the other, as axx_im2col makes them. */
static void nc_axx__gpu_im2col(nc_gpu_job *job, const nc_axx__plan *p, nc_gpu_buffer *x,
                               const nc_axx__gpu_sums *s) {
    const nc_axx_conv *c = &p->s;
    nc_gpu_buffer *buffers[2];
    uint32_t push[16];
    buffers[0] = x;
    buffers[1] = s->in[1];
    push[0] = (uint32_t)s->first;
    push[1] = (uint32_t)s->columns;
    push[2] = (uint32_t)p->large_channels;
    push[3] = (uint32_t)c->height;
    push[4] = (uint32_t)c->width;
    push[5] = (uint32_t)p->out_h;
    push[6] = (uint32_t)p->out_w;
    push[7] = (uint32_t)p->taps;
    push[8] = (uint32_t)c->kernel_h;
    push[9] = (uint32_t)c->kernel_w;
    push[10] = (uint32_t)c->stride_h;
    push[11] = (uint32_t)c->stride_w;
    push[12] = (uint32_t)c->padding_h;
    push[13] = (uint32_t)c->padding_w;
    push[14] = (uint32_t)c->dilation_h;
    push[15] = (uint32_t)c->dilation_w;
    nc_gpu_job_dispatch(job, "axx_im2col", buffers, 2, push, sizeof push, (s->columns + 127) / 128,
                        (p->taps + 3) / 4, s->groups);
}

/* The sums of a convolution, of so many columns at a time that their operands take 64 MiB. */
static nc_status nc_axx__gpu_conv_sums(nc_axx_gpu *gpu, const nc_axx__plan *p, const void *x,
                                       size_t x_bytes, const void *w, int32_t *sums, size_t count) {
    const size_t row = (p->taps + 3) / 4 * 4, weights = p->s.out_channels * row;
    const size_t places = p->out_h * p->out_w, all = p->s.batch * places;
    size_t most = ((size_t)64 << 20) / (row * p->s.groups) / 256 * 256;
    uint32_t *packed = nc_axx__packed(w, p->s.groups, p->small_channels, p->taps);
    nc_axx__gpu_sums s;
    nc_gpu_buffer *images;
    nc_gpu_job job;
    if (most < 256) most = 256;
    if (most > 65535 * 64) most = 65535 * 64;
    if (most > all) most = all;
    memset(&s, 0, sizeof s);
    s.groups = p->s.groups;
    s.rows = p->small_channels;
    s.k = p->taps;
    s.places = places;
    s.second = 1;
    nc_gpu_job_start(&job, gpu->device);
    if (!packed) job.status = NC_ERR_MEMORY;
    images = nc_gpu_job_buffer(&job, x, x_bytes, (x_bytes + 3) / 4 * 4);
    s.in[0] = nc_gpu_job_buffer(&job, packed, weights, weights);
    s.in[1] = nc_gpu_job_buffer(&job, NULL, 0, nc__mul_size(most, row * s.groups));
    s.sums = nc_gpu_job_buffer(&job, NULL, 0, count * sizeof *sums);
    for (; s.first < all; s.first += most) {
        s.columns = all - s.first < most ? all - s.first : most;
        nc_axx__gpu_im2col(&job, p, images, &s);
        if (nc_axx__gpu_has_terms(gpu, s.rows, most))
            nc_axx__gpu_by_terms(&job, gpu, &s);
        else
            nc_axx__gpu_look_up(&job, gpu, &s);
    }
    nc__free(NULL, packed, 0);
    return nc_gpu_job_finish(&job, s.sums, 0, sums, count * sizeof *sums);
}

NC_API nc_status nc_axx_gpu_conv2d(nc_axx_gpu *gpu, const nc_axx_conv *shape, const void *x,
                                   float x_scale, const void *w, const float *w_scale,
                                   const float *bias, float *y) {
    nc_axx__plan p;
    size_t inputs, weights, outputs, places, i;
    int32_t *sums;
    nc_status status;
    if (!gpu || !shape || !x || !w || !w_scale || !y) return NC_ERR_ARG;
    status = nc_axx__plan_conv(shape, 0, &p);
    if (status != NC_OK) return status;
    places = nc__mul_size(p.out_h, p.out_w);
    inputs = nc__mul_size(p.s.batch * p.s.in_channels, p.s.height * p.s.width);
    weights = nc__mul_size(p.s.out_channels, p.taps);
    outputs = nc__mul_size(p.s.batch * p.s.out_channels, places);
    if (!p.taps || inputs >> 31 || weights >> 31 || outputs >> 29 || p.taps > 4 * 65535 ||
        p.s.groups > 65535 || p.small_channels > 8 * 65535 ||
        (uint64_t)gpu->largest > (uint64_t)INT32_MAX / p.taps)
        return NC_ERR_LIMIT;
    sums = (int32_t *)nc__alloc(NULL, outputs * sizeof *sums);
    if (!sums) return NC_ERR_MEMORY;
    status = nc_axx__gpu_conv_sums(gpu, &p, x, inputs, w, sums, outputs);
    for (i = 0; i < p.s.batch * p.s.out_channels && status == NC_OK; i++) {
        const size_t o = i % p.s.out_channels;
        nc_axx__rows_values(y + i * places, sums + i * places, 1, places, places,
                            x_scale * w_scale[o], bias ? bias[o] : 0.0f);
    }
    nc__free(NULL, sums, 0);
    return status;
}
#endif /* NC_GPU */

#if defined(NC_AXX__X86) && !defined(__clang__)
#pragma GCC diagnostic pop
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
