/* nc_fp4.h - 4-bit floats, and exact Boolean circuits made of 4-bit threshold neurons
   version 0.1.0 - MIT or public domain, see the end of the file

   Copy this file into your project. In ONE C or C++ file:

       #define NC_IMPLEMENTATION
       #include "nc_fp4.h"

   Compile with: cc -O2 file.c -lm
   and -fopenmp for threads (the results are the same). For the GPU define NC_GPU and copy nc_gpu.h
   and the kernels fp4_matmul, fp4_matmul_4, fp4_matvec_i8, fp4_circuit and probe (.spv, .ptx) too;
   it wants -ldl where dlopen is not in the C library (glibc before 2.34).

   Quick example:

       #include <stdio.h>
       #define NC_IMPLEMENTATION
       #include "nc_fp4.h"
       int main(void) {
           nc_fp4_circuit *adder;
           nc_fp4_network *network;
           nc_fp4_report report;
           if (nc_fp4_make(&adder, NC_FP4_ADDER, 4, 0, NULL) != NC_OK) return 1;
           if (nc_fp4_compile(adder, &network) != NC_OK) return 1;
           if (nc_fp4_verify(network, adder, &report) != NC_OK) return 1;
           printf("4-bit adder: %u threshold units, %llu of %llu cases right\n", report.units,
                  (unsigned long long)(report.cases - report.wrong),
                  (unsigned long long)report.cases);
           nc_fp4_network_destroy(network);
           nc_fp4_destroy(adder);
           return 0;
       }

   Contents (search for the tag):
     >>types         formats, tensors, atoms, circuits, networks, reports
     >>api           all functions, in the order of the sections below
     >>simd          which instructions are used
     >>formats       the table of 4-bit formats
     >>codes         one value: E2M1, E4M3, E8M0, NF4, bitsandbytes FP4
     >>blocks        values that share a scale: quantise, dequantise, nibble orders, errors
     >>sources       bytes that need not be in memory, and what tensors their headers name
     >>tensors       matrices of 4-bit weights; safetensors and .npy
     >>weights       the 4-bit weights of other projects' files, by their names
     >>rounding      weights rounded for what they are multiplied by: GPTQ, Hadamard rotation
     >>products      a tensor times vectors: float32, bfloat16, float16, int8
     >>atoms         the ten atoms, and exact synthesis
     >>circuits      wires and functions, simplified as they are added
     >>templates     adders, comparators, multipliers ..
     >>netlists      circuits from and to BLIF, AIGER, Bristol Fashion, JSON; from Verilog, bench
     >>networks      threshold units that cover a circuit, and the bit-sliced program
     >>evaluation    one case, 64 cases a word, plain integers
     >>verification  all cases, structural induction, decision diagrams, sweeping, SAT
     >>files         networks as .fp4, BLIF, C, DOT, JSON and safetensors
     >>gpu           products and circuits on Vulkan and CUDA, with NC_GPU
     >>changelog

   Options, defined before including:
     NC_API, NC_STATIC        how functions are declared; NC_STATIC makes all of them static
     NC_MALLOC, NC_FREE       default allocator where no nc_allocator is passed
     NC_NO_STDIO              no file access
     NC_MAX_FILE_BYTES        larger files are refused, not read
     NC_NO_SIMD               portable C only
     NC_GPU                   also the GPU functions (needs nc_gpu.h beside this file)

   To add a format: its value before NC_FP4_FORMAT_COUNT, its row in nc_fp4__formats (with a table
   of its own where its codes stand for other values), and its known answers in
   tests/fp4_scalar.c. Without a row nothing compiles; the other tests take every format there is.

   Conventions: an E2M1 code is 4 bits, sign in bit 3, magnitudes 0 0.5 1 1.5 2 3 4 6 in bits 0
   to 2. Packed codes hold element 2i in the low nibble of byte i and 2i+1 in the high one; an
   odd tail leaves the last high nibble 0.

   Exact, unless a comment below says otherwise: codes, scales and values are those of the format's
   own definition, to the nearest, ties to even; a network gives its circuit's outputs in all cases
   that nc_fp4_verify counts; every result has the same bits on every machine, instruction set,
   device and number of threads. What is a measure (errors, margins, areas) is float64 arithmetic in
   a fixed order. */

#ifndef NC_FP4_H
#define NC_FP4_H

/* The release that this file is of, as text and as numbers for #if; the same in every nc_*.h. */
#define NC_FP4_VERSION "0.1.0"
#define NC_FP4_VERSION_MAJOR 0
#define NC_FP4_VERSION_MINOR 1
#define NC_FP4_VERSION_PATCH 0

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

typedef enum nc_fp4_format {
    NC_FP4_E2M1 = 0,  /* plain codes, no scale */
    NC_FP4_MXFP4 = 1, /* OCP Microscaling 1.0: E2M1, blocks of 32, E8M0 scale byte */
    NC_FP4_NVFP4 = 2, /* E2M1, blocks of 16, E4M3 scale byte, one float32 for the tensor */
    NC_FP4_NF4 = 3,   /* QLoRA's 16 normal quantiles, blocks of 64, float32 absmax */
    NC_FP4_BNB = 4,   /* bitsandbytes FP4, blocks of 64, float32 absmax */
    NC_FP4_FORMAT_COUNT
} nc_fp4_format;

/* How the scale of a block comes from its largest magnitude. */
typedef enum nc_fp4_scale_rule {
    NC_FP4_SCALE_FLOOR = 0, /* MXFP4: 2^(floor(log2(absmax)) - 2), the OCP rule; others: absmax */
    NC_FP4_SCALE_CEIL = 1,  /* MXFP4: the least power of two that does not saturate; torchao and
                               cuBLAS call it RCEIL, ModelOpt has no other. From 3.5 * 2^126 on it
                               and the two others that round up give 2^128: infinity in float32 */
    NC_FP4_SCALE_EVEN = 2,  /* MXFP4: as floor, absmax rounded to two bits first, ties to even */
    NC_FP4_SCALE_MSE = 3,   /* of several scales the one with the least squared error */
    NC_FP4_SCALE_CEIL_POWER = 4, /* MXFP4: 2^(ceil(log2(absmax)) - 2), which torchao calls CEIL */
    NC_FP4_SCALE_FOUR_SIX = 5,   /* NVFP4 only: absmax / 6 or absmax / 4, whichever has the least
                                    squared error; the tensor scale is absmax / (6 * 256), which
                                    leaves room for both (Cook et al., Four Over Six, 2025) */
    NC_FP4_SCALE_RULE_COUNT
} nc_fp4_scale_rule;

/* Whose arithmetic quantises, where projects differ in the last bits: codes, scales and tensor
 * scale are theirs bit for bit, for finite values in whole blocks. */
typedef enum nc_fp4_convention {
    NC_FP4_AS_DEFINED = 0,        /* the format's own definition: every format and rule */
    NC_FP4_AS_TORCHAO,            /* MXFP4: floor, ceil (by log2 in float32), even, ceil_power, the
                                     scale 2^-127 divides as 2^-126. NVFP4: block scales of 2^-6 at
                                     least, values times the rounded inverse */
    NC_FP4_AS_COMPRESSED_TENSORS, /* MXFP4: even. NVFP4: the tensor scale is what it stores, (1 /
                                     absmax) * 2688, by which scales are divided (nc_fp4_dequantize
                                     takes its inverse, a tensor `divides`); block scales of 0
                                     become 1/8. -0 becomes 0 */
    NC_FP4_AS_MODELOPT,           /* MXFP4: ceil (by log2 in float32), ties to the smaller
                                     magnitude, zeros become -0. NVFP4: block scales of 2^-9 at
                                     least, 1 for zeros; -0 becomes 0 */
    NC_FP4_AS_BITSANDBYTES,       /* NF4, BNB: middles of codes rounded to float32 (six of NF4's
                                     limits move by a unit), values times the rounded inverse in
                                     whole blocks; BNB: ties to the lower value, and what becomes
                                     zero takes code 8 from above and 0 from below */
    NC_FP4_AS_GGML,               /* MXFP4: floor (by log2 in float32), ties to the smaller
                                     magnitude, no -0 */
    NC_FP4_CONVENTION_COUNT
} nc_fp4_convention;

/* Zero means default. */
typedef struct nc_fp4_options {
    nc_fp4_scale_rule rule;
    int stochastic; /* E2M1 formats: round at random, by Philox with this seed and element number */
    uint64_t seed;
    nc_fp4_convention convention; /* other than the first: nearest only, and its project's rules */
    float tensor_scale;           /* NVFP4: a given (calibrated) one; 0: it comes from absmax */
} nc_fp4_options;

/* Which nibble holds which element. */
typedef enum nc_fp4_order {
    NC_FP4_LOW_FIRST = 0,  /* element 2i in the low nibble of byte i: the order of this header */
    NC_FP4_HIGH_FIRST = 1, /* bitsandbytes */
    NC_FP4_SPLIT = 2       /* GGUF: first half of a group in low nibbles, second in high ones */
} nc_fp4_order;

/* Bytes that need not be in memory. read_fn puts `bytes` of them, from byte `at` on, to `to`; it is
 * only asked for what the source has, and gives NC_ERR_IO or another status where it fails. */
typedef struct nc_fp4_source {
    nc_status (*read_fn)(void *user, uint64_t at, void *to, size_t bytes);
    void *user;
    uint64_t bytes; /* of all */
} nc_fp4_source;

/* A matrix of 4-bit weights; each row is quantised by itself, in blocks of the format. */
typedef struct nc_fp4_tensor {
    nc_fp4_format format;
    uint32_t rows, columns;
    float tensor_scale;
    uint8_t *codes;  /* rows x nc_fp4_code_bytes(columns) */
    uint8_t *scales; /* rows x nc_fp4_scale_bytes(format, columns), but for what `across` says */
    uint8_t *tiles;  /* null, or both again with 16 rows side by side: nc_fp4_tensor_interleave */
    uint32_t block;  /* NF4 and BNB: elements per scale, a power of two from 32 to 4,096; 0: 64 */
    int across;  /* NF4 and BNB: 1: blocks run on over the ends of rows, as bitsandbytes has them;
                        scales: of all rows x columns elements in one piece */
    int divides; /* NVFP4: 1: tensor_scale divides the scales of the blocks, as in files of
                        compressed-tensors; 1 / tensor_scale would round once more */
} nc_fp4_tensor;

/* How a project lays 4-bit weights out in a file. X is a layer's name. */
typedef enum nc_fp4_layout {
    NC_FP4_LAYOUT_FLOAT = 0,  /* float16, bfloat16, float32 or float64 */
    NC_FP4_LAYOUT_OWN,        /* nc_fp4_tensor_save's */
    NC_FP4_LAYOUT_BNB,        /* bitsandbytes, NF4 and FP4: X.weight, X.weight.absmax, .quant_map,
                                 .quant_state.bitsandbytes__nf4 (__fp4), and .nested_absmax,
                                 .nested_quant_map for scales that are quantised themselves */
    NC_FP4_LAYOUT_GPT_OSS,    /* MXFP4: X_blocks, X_scales */
    NC_FP4_LAYOUT_COMPRESSED, /* compressed-tensors, NVFP4 and MXFP4: X.weight_packed, _scale, and
                                 X.weight_global_scale, which divides the scales of blocks */
    NC_FP4_LAYOUT_MODELOPT,   /* NVFP4 and MXFP4: X.weight, X.weight_scale, and X.weight_scale_2,
                                 which multiplies them; X.input_scale is a tensor of its own */
    NC_FP4_LAYOUT_TORCHAO,    /* MXTensor and NVFP4Tensor: X._weight_qdata, _scale,
                                 _per_tensor_scale, and JSON in the metadata of X.weight */
    NC_FP4_LAYOUT_MLX,        /* mxfp4 and nvfp4: X.weight as U32, X.scales as U8 */
    NC_FP4_LAYOUT_GGUF,       /* blocks of type MXFP4 or NVFP4 */
    NC_FP4_LAYOUT_OTHER,      /* listed, not decoded */
    NC_FP4_LAYOUT_COUNT
} nc_fp4_layout;

/* A weight of a file. It is a stack of matrices (experts), in most files of one. */
typedef struct nc_fp4_weight {
    const char *name;  /* the weight's: "X.weight", also where its parts are called otherwise */
    const char *dtype; /* of its codes or values in the file: "U8", "BF16" .. */
    nc_fp4_layout layout;
    nc_fp4_format format;          /* NC_FP4_FORMAT_COUNT: no 4-bit floats */
    uint32_t rank;                 /* of the values; the first eight dimensions are in shape */
    uint64_t shape[8];             /* the slowest first */
    uint64_t stack, rows, columns; /* the same shape as matrices */
    uint32_t block;                /* elements per scale */
    int across;                    /* blocks run on over the ends of rows */
    int scaled;                    /* NVFP4's tensor scale is in the file; GGUF: in "X.scale" */
    int swizzled;                  /* torchao: scales in tiles of 128 rows and 4 blocks */
    uint32_t nested; /* bitsandbytes: scales that share a scale; 0: they are float32 */
    uint64_t bytes;  /* in the file, of all its parts */
} nc_fp4_weight;

/* The weights of one or more files, of which only the headers are in memory. Any number of threads
 * may read from it where they may from its sources. */
typedef struct nc_fp4_weights nc_fp4_weights;

/* Where a file is written to: `bytes` of it, from byte `at` on, once each but in any order; what is
 * not written is 0. */
typedef struct nc_fp4_sink {
    nc_status (*write_fn)(void *user, uint64_t at, const void *from, size_t bytes);
    void *user;
} nc_fp4_sink;

/* A file in the making. */
typedef struct nc_fp4_writer nc_fp4_writer;

/* Error of a quantised copy y of x. NaN where a difference is NaN. */
typedef struct nc_fp4_error_stats {
    double mse;     /* mean of (x - y)^2 */
    double max_abs; /* largest |x - y| */
    double snr_db;  /* 10 log10(sum x^2 / sum (x - y)^2); 999 when equal, -999 when x is 0 */
} nc_fp4_error_stats;

/* What became of a weight on its way from one file to another. */
typedef struct nc_fp4_conversion {
    int kept;           /* 1: the codes are those of the source, in another layout */
    uint64_t values;    /* that were quantised or decoded */
    uint64_t saturated; /* of these, larger than the largest value that their block can have */
    nc_fp4_error_stats stats; /* of what was quantised, but for values that are not finite */
} nc_fp4_conversion;

/* The type of activations and outputs; the two short ones as uint16_t in the machine's order. */
typedef enum nc_fp4_number {
    NC_FP4_FLOAT32 = 0,
    NC_FP4_BFLOAT16,
    NC_FP4_FLOAT16, /* IEEE 754 binary16 */
    NC_FP4_NUMBER_COUNT
} nc_fp4_number;

/* What nc_fp4_product multiplies, and how. Zero means default. */
typedef struct nc_fp4_product_options {
    nc_fp4_number x_type, y_type;
    const float *bias;      /* null, or one for each output, added in the end */
    const uint32_t *rows;   /* null: all rows of W; else the numbers of n_rows of them, in any
                               order and any number of times, which are taken for W */
    size_t n_rows;          /* without `rows` ignored */
    const uint32_t *x_rows; /* null: vector i is row i of X; else it is row x_rows[i], which the
                               caller knows to exist */
    int transposed;         /* 1: y = W^T x */
    int quantised;          /* 1: activations are quantised to the tensor's format first */
    float x_tensor_scale;   /* NVFP4, quantised: a given (calibrated) one; 0: each vector's own */
} nc_fp4_product_options;

/* A threshold unit: y = [ sum weight[i] * x[input[i]] > threshold ]; weights and threshold are
 * codes of the atom's format. In E2M1 every sum is an exact multiple of 1/2. */
#define NC_FP4_UNIT_INPUTS 8
typedef struct nc_fp4_unit {
    uint32_t input[NC_FP4_UNIT_INPUTS]; /* inputs of the atom or network, then earlier units */
    uint8_t weight[NC_FP4_UNIT_INPUTS]; /* codes */
    uint8_t inputs;
    uint8_t threshold; /* code */
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
#define NC_FP4_ATOM_UNITS 3
typedef struct nc_fp4_atom {
    const char *name;
    uint32_t inputs; /* at most 4 */
    uint32_t units;
    uint32_t truth;
    nc_fp4_unit unit[NC_FP4_ATOM_UNITS];
} nc_fp4_atom;

/* How far a report's word reaches. */
typedef enum nc_fp4_evidence {
    NC_FP4_EXHAUSTIVE = 0, /* every input combination was evaluated */
    NC_FP4_BDD = 1,        /* proof: both sides have the same reduced ordered decision diagrams */
    NC_FP4_STRUCTURAL = 2, /* proof by induction: the units that stand for a function of the circuit
                              were compared with it on all their inputs; and random cases were
                              evaluated */
    NC_FP4_SWEEP = 3,      /* proof: wires of both sides were merged from the inputs up, where a
                              search for a difference ended without one */
    NC_FP4_SOLVER = 4      /* the word of the user's nc_fp4_sat_fn */
} nc_fp4_evidence;

typedef enum nc_fp4_verdict {
    NC_FP4_UNDECIDED = 0, /* neither was found within the budget */
    NC_FP4_PROVEN = 1,    /* equal in all cases */
    NC_FP4_REFUTED = 2    /* different in a case that was evaluated */
} nc_fp4_verdict;

/* What verification found. */
typedef struct nc_fp4_report {
    uint64_t cases;        /* input combinations evaluated */
    uint64_t wrong;        /* of these, with a wrong output; for BDD, SWEEP and SOLVER: outputs that
                              differ */
    uint64_t first_wrong;  /* the first such combination (output); 0 when none */
    uint32_t units;        /* threshold units of the network */
    uint32_t parameters;   /* weights and thresholds */
    uint32_t bytes_packed; /* parameters at 4 bits, whole bytes per network */
    uint32_t bytes_float;  /* parameters as float32 */
    double margin;         /* least |sum - threshold| over all units and the inputs they can have */
    nc_fp4_evidence evidence; /* of the verdict; undecided: what was tried last */
    uint32_t depth;           /* units on the longest path */
    nc_fp4_verdict verdict;
    uint32_t tried; /* bit e: evidence e was looked for */
    uint32_t open;  /* undecided: outputs that were not proven, as far as it was counted */
    uint64_t steps; /* that it took */
} nc_fp4_report;

/* A solver of the user's. `dimacs` is a problem in conjunctive normal form (DIMACS cnf) that has a
 * solution if network and circuit differ; variables 1 .. inputs are the inputs. Returns 20: there
 * is none; 10: there is one, and example[i] is 0 or 1 for variable i + 1 (it is tried before it is
 * believed); else: unknown. These are the exit codes of SAT solvers. */
typedef int (*nc_fp4_sat_fn)(void *user, const char *dimacs, size_t bytes, uint32_t inputs,
                             uint8_t *example);

/* How to verify; zero means default. */
#define NC_FP4_DEFAULT_STEPS (UINT64_C(1) << 30)
typedef struct nc_fp4_verify_options {
    uint32_t methods;        /* bit e: look for evidence e; 0: for any */
    uint64_t steps;          /* budget; a step takes 1 to 10 ns; 0: some 10 s */
    nc_progress_fn progress; /* called with the steps spent of the budget; may cancel */
    void *progress_user;
    nc_fp4_sat_fn sat; /* null: none */
    void *sat_user;
    uint8_t *counter_example; /* null, or a byte for each input: 0 or 1, where the verdict is
                                  NC_FP4_REFUTED */
} nc_fp4_verify_options;

/* A Boolean circuit: wires, and functions of wires. Wire 0 is false, wire 1 is true. */
typedef struct nc_fp4_circuit nc_fp4_circuit;
#define NC_FP4_FALSE 0u
#define NC_FP4_TRUE 1u

/* A compiled circuit: threshold units in the order of evaluation, and the same as a program over
 * 64 to 512 cases at once. Immutable: any number of threads may evaluate it. */
typedef struct nc_fp4_network nc_fp4_network;

/* A named group of inputs or outputs; bit 0 comes first. */
typedef struct nc_fp4_bus {
    const char *name;
    uint32_t first, width; /* inputs (outputs) first .. first + width - 1 */
} nc_fp4_bus;

/* Circuits that are built in; N stands for `bits`. */
typedef enum nc_fp4_template {
    NC_FP4_ADDER = 0,        /* a N, b N, cin 1 -> s N, cout 1 */
    NC_FP4_SUBTRACTOR,       /* a N, b N -> d N, borrow 1 */
    NC_FP4_ADD_SUB,          /* a N, b N, sub 1 -> s N, cout 1 (of a + (b ^ sub) + sub) */
    NC_FP4_COMPARATOR,       /* a N, b N -> eq 1, lt 1 (unsigned) */
    NC_FP4_MULTIPLIER,       /* a N, b N -> p 2N (N at most 512) */
    NC_FP4_PARITY,           /* x N -> p 1 */
    NC_FP4_POPCOUNT,         /* x N -> n bits for 0 .. N */
    NC_FP4_MUX_TREE,         /* s N, x 2^N -> y 1 (N at most 12) */
    NC_FP4_DECODER,          /* s N -> y 2^N (N at most 12) */
    NC_FP4_PRIORITY_ENCODER, /* x N -> index (bits for 0 .. N - 1) of the highest one, valid 1 */
    NC_FP4_ALU,              /* a N, b N, op 3 -> y N; op 0 .. 5: add sub and or xor slt */
    NC_FP4_SHIFTER,          /* x N (a power of two), n, right 1 -> y N: logical shift by n < N */
    NC_FP4_TEMPLATE_COUNT
} nc_fp4_template;

/* What a circuit or a network is written as. */
typedef enum nc_fp4_file_kind {
    NC_FP4_FILE = 0, /* .fp4 */
    NC_FP4_BLIF,     /* Berkeley Logic Interchange Format */
    NC_FP4_BRISTOL,  /* Bristol Fashion */
    NC_FP4_JSON,
    NC_FP4_DOT, /* Graphviz */
    NC_FP4_C,   /* a C header */
    NC_FP4_SAFETENSORS,
    NC_FP4_AIGER, /* And-Inverter graph, binary */
    NC_FP4_DIMACS /* clauses that have a solution where an output is 1, for SAT solvers */
} nc_fp4_file_kind;

/* How netlists are read. Zero means default. */
typedef struct nc_fp4_read_options {
    const char *top;      /* model or module that is the circuit; null: BLIF's first, in Verilog
                             the one that no other contains */
    int undriven;         /* 0: a net that nothing drives is an error; 1: it is 0, as for ABC */
    uint32_t frames;      /* 0: latches are refused; else so many clock cycles are unrolled */
    const char *library;  /* genlib text for BLIF's .gate, or null */
    size_t library_bytes; /* of it */
} nc_fp4_read_options;

/* The truth to verify against: outputs (bit k = output k) for one input combination. */
typedef uint64_t (*nc_fp4_spec_fn)(void *user, uint64_t inputs);

/* >>api ============================================================================ */

/* -- simd: which instructions are used ---------------------------------------------- */

/* Instruction set of all functions below: 0 portable, 1 AVX2 or NEON, 2 AVX-512 or NEON with dot
 * products; -1: the best there is. Returns what is used; the results are the same. For tests. */
NC_API int nc_fp4_set_simd(int level);

/* -- formats: blocks and bytes ------------------------------------------------------ */

/* Name of a format in files ("e2m1", "mxfp4", "nvfp4", "nf4", "fp4_bnb"); null beyond the last. */
NC_API const char *nc_fp4_format_name(nc_fp4_format format);
/* Elements per scale; 0 for plain E2M1. */
NC_API size_t nc_fp4_block(nc_fp4_format format);
/* Bytes of packed codes for n elements: (n + 1) / 2. */
NC_API size_t nc_fp4_code_bytes(size_t n);
/* Bytes of scales for n elements: one byte a block for MXFP4 and NVFP4, a little-endian float32
 * for NF4 and BNB, none for E2M1. The last block may be short. */
NC_API size_t nc_fp4_scale_bytes(nc_fp4_format format, size_t n);

/* -- codes: one value --------------------------------------------------------------- */

/* Nearest E2M1 code, ties to even codes, saturating at 6; -0 keeps its sign; NaN gives +6 (as
 * the CUDA conversion does). exact: yes. */
NC_API uint8_t nc_fp4_encode(float x);
/* Value of an E2M1 code (low 4 bits). */
NC_API float nc_fp4_decode(uint8_t code);
/* E2M1 by stochastic rounding: up with the probability of the distance, random in 32 bits. exact
 * values stay; saturates at 6; NaN gives +6. */
NC_API uint8_t nc_fp4_encode_stochastic(float x, uint32_t random);
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

/* -- blocks: values that share scales ----------------------------------------------- */

/* Quantise n values with the defaults of nc_fp4_options, to nc_fp4_code_bytes(n) bytes of codes and
 * nc_fp4_scale_bytes(format, n) of scales (E2M1: scales may be null). MXFP4: shared exponent
 * floor(log2(absmax)) - 2. NVFP4: tensor scale absmax / (6 * 448), a subnormal one rounded up,
 * block scale absmax / (6 * tensor scale) as E4M3. NF4, BNB: absmax. A block holding NaN or
 * infinity gets a NaN scale and decodes to NaN. *tensor_scale is 1 but for NVFP4. Errors:
 * NC_ERR_ARG for a null pointer or unknown format. */
NC_API nc_status nc_fp4_quantize(nc_fp4_format format, const float *x, size_t n, uint8_t *codes,
                                 uint8_t *scales, float *tensor_scale);
/* The same with options (null: the defaults). NC_ERR_ARG: an unknown rule or convention, a tensor
 * scale that is negative or not finite or that the format has not. NC_ERR_UNSUPPORTED: a rule that
 * the format or the convention has not, random rounding by a convention. */
NC_API nc_status nc_fp4_quantize_with(nc_fp4_format format, const nc_fp4_options *options,
                                      const float *x, size_t n, uint8_t *codes, uint8_t *scales,
                                      float *tensor_scale);
/* The values that n codes stand for: x[i] is the value of the code times its block's scale,
 * rounded. NC_ERR_ARG for a null pointer or unknown format. */
NC_API nc_status nc_fp4_dequantize(nc_fp4_format format, const uint8_t *codes,
                                   const uint8_t *scales, float tensor_scale, size_t n, float *x);
/* Codes of n elements in another order; out may be codes. NC_FP4_SPLIT: element i of a group of
 * `group` (even, at most 4,096; the last may be shorter) is the low nibble of byte i, element
 * i + group / 2 the high one; n is even then. Without it `group` is ignored. NC_ERR_ARG for another
 * group, an odd n with NC_FP4_SPLIT, an unknown order, a null pointer. */
NC_API nc_status nc_fp4_reorder(uint8_t *out, const uint8_t *codes, size_t n, nc_fp4_order from,
                                nc_fp4_order to, size_t group);
/* Error of y against x, n values, in float64. */
NC_API void nc_fp4_compare(const float *x, const float *y, size_t n, nc_fp4_error_stats *stats);

/* -- sources: bytes that need not be in memory -------------------------------------- */

/* Bytes in memory as a source; they must last as long as it does. */
NC_API void nc_fp4_source_memory(nc_fp4_source *source, const void *data, size_t bytes);
#ifndef NC_NO_STDIO
/* A regular file as a source, of any size, of which only what is asked for is read; any number of
 * threads may ask where the system has pread. NC_ERR_IO; the message names the path. */
NC_API nc_status nc_fp4_source_open(nc_fp4_source *source, const char *path, nc_error *err);
/* Close a file; a zeroed source and one in memory are fine. */
NC_API void nc_fp4_source_close(nc_fp4_source *source);
#endif

/* -- tensors: matrices of 4-bit weights, and their files ---------------------------- */

/* Quantise a matrix (rows x columns, row-major). Free with nc_fp4_tensor_free. NC_ERR_LIMIT for
 * 2^31 elements and more; NC_ERR_ARG for none, and as nc_fp4_quantize_with has it. */
NC_API nc_status nc_fp4_tensor_create(nc_fp4_tensor *tensor, nc_fp4_format format,
                                      const nc_fp4_options *options, const float *x, uint32_t rows,
                                      uint32_t columns);
/* The same for NF4 and BNB with blocks of another length (a power of two from 32 to 4,096), and
 * with `across` over the ends of rows, as bitsandbytes has them. NC_ERR_ARG for other formats. */
NC_API nc_status nc_fp4_tensor_create_blocks(nc_fp4_tensor *tensor, nc_fp4_format format,
                                             const nc_fp4_options *options, uint32_t block,
                                             int across, const float *x, uint32_t rows,
                                             uint32_t columns);
/* Release; a zeroed tensor is fine. */
NC_API void nc_fp4_tensor_free(nc_fp4_tensor *tensor);
/* Bytes of all scales of a tensor, by its format, shape, block and across; 0: it is none. */
NC_API size_t nc_fp4_tensor_scale_bytes(const nc_fp4_tensor *tensor);
/* All weights as float32, x (rows x columns): each the value of its code times its scale, rounded.
 * NC_ERR_ARG. */
NC_API nc_status nc_fp4_tensor_decode(const nc_fp4_tensor *tensor, float *x);
/* A tensor as safetensors (free with nc_fp4_free_text): NAME as U8 [rows, bytes of codes],
 * NAME_scale as U8 or F32 [rows, blocks], NAME_tensor_scale as F32 [1] for NVFP4, and in the
 * metadata "NAME.nc_fp4": "FORMAT COLUMNS". NC_ERR_UNSUPPORTED for a tensor with a block of its
 * own, across or divides. */
NC_API nc_status nc_fp4_tensor_save(const nc_fp4_tensor *tensor, const char *name, char **data,
                                    size_t *bytes);
/* Read one of these back, from a file that may hold others beside it, of other formats and widths;
 * codes may be F4 where columns are even, scales F8_E8M0 or F8_E4M3. NC_ERR_FORMAT;
 * NC_ERR_MISMATCH when the name is not in the file; NC_ERR_UNSUPPORTED for a description that is
 * not known here. */
NC_API nc_status nc_fp4_tensor_load(nc_fp4_tensor *tensor, const char *name, const void *data,
                                    size_t bytes, nc_error *err);
/* A float32 matrix from the bytes of a .npy file: float16, float32 or float64 (rounded) in either
 * byte order, in C's or Fortran's order of elements; two dimensions, one (a row) or none (1 x 1).
 * Bytes behind the values are nobody's, as numpy has it. *x has rows x columns values, free with
 * nc_fp4_free_text((char *)x). NC_ERR_UNSUPPORTED for other types and more dimensions, NC_ERR_LIMIT
 * for 2^31 values and more, NC_ERR_FORMAT. */
NC_API nc_status nc_fp4_npy_read(const void *data, size_t bytes, float **x, uint32_t *rows,
                                 uint32_t *columns, nc_error *err);
/* A float32 matrix as the bytes of a .npy file (free with nc_fp4_free_text). */
NC_API nc_status nc_fp4_npy_write(const float *x, uint32_t rows, uint32_t columns, char **data,
                                  size_t *bytes);
/* Release what a writer returned; null is fine. */
NC_API void nc_fp4_free_text(char *text);

/* -- weights: the 4-bit weights of other projects' files ---------------------------- */

/* Codes and scales are kept as they are in the file. Where a project's own reader gives other
 * values for some of them than this header, which keeps to the formats' definitions: GGUF's takes
 * a scale of 255 as 2^128, gpt-oss', compressed-tensors' and MLX's take it as infinity (here NaN);
 * GGUF's, ModelOpt's and bitsandbytes' (FP4, on the CPU) take code 8 as 0 (here -0); GGUF's NVFP4
 * scale 0x7F is 0 and a sign of it ignored (nc_fp4_weights_read sets these scales so).
 * bitsandbytes' nested scales come as float32: codes of 8 bits times the scale of theirs, plus an
 * offset. */

/* Name of a layout ("bitsandbytes", "gpt-oss", "compressed-tensors" ..); null beyond the last. */
NC_API const char *nc_fp4_layout_name(nc_fp4_layout layout);
/* The weights of safetensors, GGUF and .npy files, found by the names of their tensors; what is no
 * part of a weight is listed as floats or as other. The sources must last until
 * nc_fp4_weights_close. NC_ERR_FORMAT, NC_ERR_LIMIT and NC_ERR_UNSUPPORTED name tensor and
 * reason. */
NC_API nc_status nc_fp4_weights_open(nc_fp4_weights **weights, const nc_fp4_source *sources,
                                     size_t count, nc_error *err);
#ifndef NC_NO_STDIO
/* The same from a path: such a file, or the index of one that is kept in shards
 * (model.safetensors.index.json), which lie beside it. */
NC_API nc_status nc_fp4_weights_open_path(nc_fp4_weights **weights, const char *path,
                                          nc_error *err);
#endif
/* Release; null is fine. */
NC_API void nc_fp4_weights_close(nc_fp4_weights *weights);
/* How many weights there are. */
NC_API size_t nc_fp4_weights_count(const nc_fp4_weights *weights);
/* Weight i, in the order of the files; null beyond the last. It lasts until the weights are
 * closed. */
NC_API const nc_fp4_weight *nc_fp4_weights_get(const nc_fp4_weights *weights, size_t i);
/* The number of a weight by its name; SIZE_MAX: there is none. */
NC_API size_t nc_fp4_weights_find(const nc_fp4_weights *weights, const char *name);
/* Rows first .. first + rows - 1 of matrix `matrix` of weight i as a tensor, to be freed with
 * nc_fp4_tensor_free. Of bitsandbytes' only all rows (NC_ERR_UNSUPPORTED: blocks run across them).
 * NC_ERR_UNSUPPORTED for floats and others, NC_ERR_LIMIT for 2^31 values and more. */
NC_API nc_status nc_fp4_weights_read(const nc_fp4_weights *weights, size_t i, uint64_t matrix,
                                     uint32_t first, uint32_t rows, nc_fp4_tensor *tensor,
                                     nc_error *err);
/* Values first .. first + n - 1 of weight i, counted in C order through the whole stack, of 4-bit
 * floats and of floats, with memory for some 65,536 values or one row. */
NC_API nc_status nc_fp4_weights_values(const nc_fp4_weights *weights, size_t i, uint64_t first,
                                       size_t n, float *x, nc_error *err);
/* Bytes at .. of the values or codes of weight i as they are in the file: what hands on a tensor
 * that is not decoded. */
NC_API nc_status nc_fp4_weights_bytes(const nc_fp4_weights *weights, size_t i, uint64_t at,
                                      void *to, size_t bytes, nc_error *err);

/* A writer of one file, of 4-bit floats in that layout beside other tensors: GGUF, or safetensors
 * for all others. First come all nc_fp4_writer_pair and _add, then _begin, then the data, which
 * need not be in memory at the same time. NC_ERR_ARG for NC_FP4_LAYOUT_OTHER. */
NC_API nc_status nc_fp4_writer_create(nc_fp4_writer **writer, nc_fp4_layout layout);
/* Release; null is fine. The sink is not closed. */
NC_API void nc_fp4_writer_free(nc_fp4_writer *writer);
/* A pair of metadata. */
NC_API nc_status nc_fp4_writer_pair(nc_fp4_writer *writer, const char *key, const char *value);
/* The metadata of the first file of weights, but for what says how its tensors are laid out. Values
 * of GGUF that are no strings become text, its arrays are left out, where the new file is none. */
NC_API nc_status nc_fp4_writer_pairs(nc_fp4_writer *writer, const nc_fp4_weights *weights);
/* Plan a weight: its name, format, rank and shape, of NF4 and BNB the block (0: 64), for
 * bitsandbytes `nested` (256 there; 0: float32 scales), for torchao whether its scales are
 * swizzled. With NC_FP4_FORMAT_COUNT it is a tensor of type `dtype`, for GGUF's types without a
 * name in safetensors also of so many `bytes`. NC_ERR_UNSUPPORTED where the layout has no such
 * weight: the message says why. NC_ERR_ARG for another block than those of
 * nc_fp4_tensor_create_blocks. */
NC_API nc_status nc_fp4_writer_add(nc_fp4_writer *writer, const nc_fp4_weight *weight,
                                   nc_error *err);
/* Write the header. NC_ERR_MISMATCH where `bytes` are not those of a GGUF type and its shape. */
NC_API nc_status nc_fp4_writer_begin(nc_fp4_writer *writer, const nc_fp4_sink *sink, nc_error *err);
/* Bytes of the whole file, once it is begun. */
NC_API uint64_t nc_fp4_writer_size(const nc_fp4_writer *writer);
/* Rows of weight i (in the order of nc_fp4_writer_add) from `row` on, counted through the stack;
 * all of one matrix. bitsandbytes': blocks across rows, and but for the last rows whole blocks.
 * Codes and scales are written as they are; the tensor scale of NVFP4 as 1 / tensor_scale where
 * the layout divides by it and the tensor does not, or the reverse. NC_ERR_UNSUPPORTED where the
 * layout has none and it is not 1. */
NC_API nc_status nc_fp4_writer_tensor(nc_fp4_writer *writer, size_t i, uint64_t row,
                                      const nc_fp4_tensor *tensor, nc_error *err);
/* Values first .. first + n - 1 of weight i, planned as F32, F16 or BF16: rounded to the nearest,
 * ties to even. */
NC_API nc_status nc_fp4_writer_values(nc_fp4_writer *writer, size_t i, uint64_t first, size_t n,
                                      const float *x, nc_error *err);
/* Bytes from `at` on of weight i, planned with a type. */
NC_API nc_status nc_fp4_writer_bytes(nc_fp4_writer *writer, size_t i, uint64_t at, const void *from,
                                     size_t bytes, nc_error *err);
/* Weight `from` of a file to weight `to` of a writer, whatever both are: bytes and codes as they
 * are where type, format and blocks are the same (and the layout has a place for NVFP4's tensor
 * scale), else quantised with the options (null: the defaults) or decoded and rounded. NVFP4's
 * tensor scale is that of nc_fp4_tensor_create for its matrix, a normal number unless a project's
 * convention has another; 1 in MLX's layout, and in GGUF's unless `scaled`. Memory: some 262,144
 * values or one row, of bitsandbytes' codes one matrix; where its blocks do not end with rows as
 * many rows as end with one. Weights of both must have the same shape. `report` may be null,
 * progress too. */
NC_API nc_status nc_fp4_writer_convert(nc_fp4_writer *writer, size_t to,
                                       const nc_fp4_weights *weights, size_t from,
                                       const nc_fp4_options *options, nc_fp4_conversion *report,
                                       nc_progress_fn progress, void *user, nc_error *err);
#ifndef NC_NO_STDIO
/* A file as a sink, under a temporary name beside PATH until it is closed; links and old modes as
 * nc_file_write has them. NC_ERR_IO, NC_ERR_MEMORY, NC_ERR_ARG for no or too long a path,
 * NC_ERR_UNSUPPORTED for a pipe or a device. */
NC_API nc_status nc_fp4_sink_open(nc_fp4_sink *sink, const char *path, nc_error *err);
/* Close it: with `keep` it gets its name, else it is removed. A zeroed sink is fine. */
NC_API nc_status nc_fp4_sink_close(nc_fp4_sink *sink, int keep, nc_error *err);
#endif

/* -- rounding: weights rounded for what they are multiplied by ---------------------- */

/* Add X^T X of n rows of calibration activations (n x columns) to hessian (columns x columns,
 * zeroed before the first call). float64, one row after the other: the same bits everywhere.
 * NC_ERR_ARG for a null pointer, NC_ERR_MATH for a value that is not finite: nothing is added. */
NC_API nc_status nc_fp4_hessian_add(double *hessian, const float *x, size_t n, uint32_t columns);
/* Quantise a matrix column by column, where the columns that follow make up for the error of each
 * (Frantar et al., GPTQ, 2023, algorithm 1, in the order of the columns; a block's scale comes from
 * its weights as they are when it begins). hessian: of nc_fp4_hessian_add; damping times its mean
 * diagonal is added to its diagonal, 0: 0.01. A diagonal one rounds to the nearest. float64 in a
 * fixed order: the same bits everywhere. Takes columns^2 float64 of memory; time columns^2 (columns
 * / 2 + rows / 2). Errors: as nc_fp4_tensor_create; NC_ERR_ARG for negative damping;
 * NC_ERR_UNSUPPORTED for random rounding or another project's convention; NC_ERR_MATH where the
 * damped hessian is not positive definite. */
NC_API nc_status nc_fp4_tensor_create_gptq(nc_fp4_tensor *tensor, nc_fp4_format format,
                                           const nc_fp4_options *options, const float *x,
                                           uint32_t rows, uint32_t columns, const double *hessian,
                                           double damping);
/* What a layer's outputs lose over the calibration rows, relative to what they are: the sum over
 * rows of (w - y) H (w - y)^T over that of w H w^T, for weights w and their copies y (rows x
 * columns). hessian null: the identity, the plain relative squared error. -1 for a null pointer or
 * without memory. */
NC_API double nc_fp4_layer_error(const float *w, const float *y, uint32_t rows, uint32_t columns,
                                 const double *hessian);
/* Rotate each run of `block` values (a power of two from 2 to 4,096; n is a multiple of it) by the
 * orthonormal Hadamard matrix H, in place: outliers spread over the block. H is its own inverse, so
 * y = W x = (W H)(H x): rotate the rows of W before they are quantised, and the activations x with
 * the same block before each product, or once and for all in the layer that makes them. Twice gives
 * x back to within log2(block) + 2 units of its block's norm in the last place. Every sum is of two
 * neighbours in a fixed order: the same bits everywhere. */
NC_API nc_status nc_fp4_hadamard(float *x, size_t n, uint32_t block);

/* -- products: a tensor times vectors ----------------------------------------------- */

/* y (rows) = W x (columns). The same bits on every machine and thread count: a weight is its code's
 * value times its block's scale, rounded; lane j of 32 adds w x for the columns j, j + 32 .. with
 * fused multiply-adds; the lanes are added as a tree (16, 8, 4, 2, 1). */
NC_API nc_status nc_fp4_matvec(const nc_fp4_tensor *tensor, const float *x, float *y);
/* Y (n x rows) = X (n x columns) W^T: n products of the kind above. From eight vectors on, strips
 * of four rows and 512 columns are decoded in the cache for up to 16 vectors at a time; memory is
 * taken for twice as many vectors of X, never for W. */
NC_API nc_status nc_fp4_matmul(const nc_fp4_tensor *tensor, const float *x, size_t n, float *y);
/* Y = X W^T, with `transposed` Y = X W, of n vectors; options null: nc_fp4_matmul. X has rows of as
 * many values as W (or what options->rows takes of it) has columns, Y of as many as it has rows;
 * transposed the other way round. The same bits on every machine and thread count, as follows.
 *  - Activations become float32, which is exact.
 *  - Sums are those of nc_fp4_matvec; transposed: output c adds w x for the first row, the second
 *    .. with fused multiply-adds from 0 on, where w is the decoded weight in column c.
 *  - The bias is added to the sum, rounded to float32; then the output is rounded to its type, to
 *    the nearest, ties to even.
 *  - With `quantised` each vector becomes codes by nc_fp4_quantize_with, and the sum is that of
 *    nc_fp4_product_fp4.
 * All formats, `across` and `divides` too. x and y must not overlap. NC_ERR_ARG for a null pointer,
 * an unknown type or a row that W does not have; NC_ERR_UNSUPPORTED as nc_fp4_product_fp4;
 * NC_ERR_MEMORY. */
NC_API nc_status nc_fp4_product(const nc_fp4_tensor *tensor, const nc_fp4_product_options *options,
                                const void *x, size_t n, void *y);
/* The same with activations that are codes: the first n rows of X, or its rows options->x_rows
 * (NC_ERR_ARG where it does not have them). In each block (E2M1: 32 columns) the products of the
 * codes' values add up to d, exactly; from 0 on the blocks' fma(d, s_w s_x, sum), the product of
 * their two scales rounded to float32 (that of two E4M3 scales is exact), are added in their order.
 * NVFP4: then the sum times W's tensor scale, rounded, and times X's (divided by it with
 * `divides`). Bias and rounding as above. Fast on tensors that are interleaved. E2M1 formats only,
 * not transposed (NC_ERR_UNSUPPORTED); X has the format and columns of W (NC_ERR_MISMATCH). */
NC_API nc_status nc_fp4_product_fp4(const nc_fp4_tensor *tensor,
                                    const nc_fp4_product_options *options, const nc_fp4_tensor *x,
                                    size_t n, void *y);
/* Mixture of experts: vector i is multiplied by experts[expert[i]], as nc_fp4_product does. The
 * vectors of an expert are multiplied together, and of experts that none chose nothing is read. So
 * for k experts a token: n = k times the tokens, options->x_rows[i] = i / k. options->bias is one
 * for each output of each expert. Experts have the same shape (NC_ERR_MISMATCH); NC_ERR_ARG for a
 * number from `count` on. */
NC_API nc_status nc_fp4_product_experts(const nc_fp4_tensor *experts, size_t count,
                                        const uint32_t *expert,
                                        const nc_fp4_product_options *options, const void *x,
                                        size_t n, void *y);
/* Keep codes and scales a second time, 16 rows side by side: nc_fp4_matvec_i8 is then two to five
 * times as fast on AVX2, AVX-512 and NEON, to the same bits. Call again after changing codes or
 * scales. E2M1 formats only, without `divides` (NC_ERR_UNSUPPORTED); nc_fp4_tensor_free releases
 * it. */
NC_API nc_status nc_fp4_tensor_interleave(nc_fp4_tensor *tensor);
/* y (rows) = W x for int8 activations x (columns) times x_scale: exact integer sums in each block
 * (plain E2M1: 32 columns), times its scale, added block by block with fused multiply-adds, times
 * x_scale. E2M1 formats only (NC_ERR_UNSUPPORTED); NC_ERR_ARG, NC_ERR_MEMORY. */
NC_API nc_status nc_fp4_matvec_i8(const nc_fp4_tensor *tensor, const int8_t *x, float x_scale,
                                  float *y);

/* -- atoms: functions of few inputs as threshold units ------------------------------ */

/* The built-in atom; null for an unknown kind. Static memory. */
NC_API const nc_fp4_atom *nc_fp4_get_atom(nc_fp4_atom_kind kind);
/* The same with weights and thresholds that are NF4 codes. */
NC_API const nc_fp4_atom *nc_fp4_get_nf4_atom(nc_fp4_atom_kind kind);
/* Evaluate an atom on every input combination against its truth table. format: NC_FP4_E2M1 or
 * NC_FP4_NF4, what its codes mean. NC_OK when the atom is well formed (compare report->wrong with
 * 0), NC_ERR_ARG when a unit reads a later value. */
NC_API nc_status nc_fp4_verify_atom(const nc_fp4_atom *atom, nc_fp4_format format,
                                    nc_fp4_report *report);
/* Exact synthesis: the fewest E2M1 units (one or two) for a truth table of 1 to 4 inputs. Of single
 * units the one of the fewest inputs, then of the largest margin; of pairs for up to 3 inputs the
 * one whose second unit has the largest margin, for 4 the first found. NC_ERR_MISMATCH when two
 * units do not do, NC_ERR_ARG for a table or number of inputs beyond these. atom->name is
 * "custom". */
NC_API nc_status nc_fp4_synthesize(uint32_t truth, uint32_t inputs, nc_fp4_atom *atom);

/* -- circuits: wires and functions of wires ----------------------------------------- */

/* An empty circuit; the name (null: "circuit") is copied. Names may be of any length and hold all
 * but control characters, which become _; where a file's format cannot say one, it is written so
 * that it can be read, and no name twice. Free with nc_fp4_destroy. */
NC_API nc_status nc_fp4_create(nc_fp4_circuit **circuit, const char *name,
                               const nc_allocator *hooks);
/* Release; null is fine. */
NC_API void nc_fp4_destroy(nc_fp4_circuit *circuit);
/* Append a group of inputs; wires (`width` of them) receives them, bit 0 first. The name (null:
 * "x", "x1" ..) is copied; a second group of that name gets "_2" behind it. An output may have an
 * input's name. NC_ERR_LIMIT beyond 2^24 wires. */
NC_API nc_status nc_fp4_add_input(nc_fp4_circuit *circuit, const char *name, uint32_t width,
                                  uint32_t *wires);
/* Append an atom reading wires in[0..inputs-1]; *out is its output wire. Constants are propagated
 * and equal functions of equal wires shared: *out may be an old wire. NC_ERR_ARG for a wire that
 * does not exist. */
NC_API nc_status nc_fp4_add_atom(nc_fp4_circuit *circuit, nc_fp4_atom_kind kind, const uint32_t *in,
                                 uint32_t *out);
/* Append any function of up to 8 wires: bit i of truth (truth[i / 64] >> i % 64) is its value for
 * in[j] = bit j of i. Beyond three inputs it is taken apart by multiplexers. NC_ERR_ARG for a wire
 * that does not exist or more inputs, NC_ERR_LIMIT beyond 2^24 wires. */
NC_API nc_status nc_fp4_add_function(nc_fp4_circuit *circuit, uint32_t inputs, const uint32_t *in,
                                     const uint64_t *truth, uint32_t *out);
/* Append a copy of another circuit whose inputs are the wires `in`; out receives the wires of its
 * outputs. */
NC_API nc_status nc_fp4_add_circuit(nc_fp4_circuit *circuit, const nc_fp4_circuit *part,
                                    const uint32_t *in, uint32_t *out);
/* Append a group of outputs that show wires. The name (null: "y", "y1" ..) is copied. NC_ERR_ARG
 * for a wire that does not exist, NC_ERR_LIMIT beyond 2^24 outputs. */
NC_API nc_status nc_fp4_add_output(nc_fp4_circuit *circuit, const char *name, uint32_t width,
                                   const uint32_t *wires);
/* Name of the circuit. */
NC_API const char *nc_fp4_name(const nc_fp4_circuit *circuit);
/* Number of inputs, all groups together. */
NC_API uint32_t nc_fp4_input_count(const nc_fp4_circuit *circuit);
/* Number of outputs. */
NC_API uint32_t nc_fp4_output_count(const nc_fp4_circuit *circuit);
/* Functions of up to three wires that the circuit consists of, unused ones included. */
NC_API uint32_t nc_fp4_function_count(const nc_fp4_circuit *circuit);
/* Group i of the inputs; 0 beyond the last, else 1. */
NC_API int nc_fp4_input_bus(const nc_fp4_circuit *circuit, uint32_t i, nc_fp4_bus *bus);
/* Group i of the outputs. */
NC_API int nc_fp4_output_bus(const nc_fp4_circuit *circuit, uint32_t i, nc_fp4_bus *bus);

/* -- templates: circuits that are built in ------------------------------------------ */

/* A built-in circuit. variant 0 is the one with few units; variant 1, where there is one, comes to
 * the same function by another way and is what variant 0 is proven against. NC_ERR_ARG for 0 bits,
 * more than 4,096, or a size that the template does not have. */
NC_API nc_status nc_fp4_make(nc_fp4_circuit **circuit, nc_fp4_template which, uint32_t bits,
                             int variant, const nc_allocator *hooks);
/* Name of a template ("adder", "add-sub" ..), null beyond the last; for command lines. */
NC_API const char *nc_fp4_template_name(nc_fp4_template which);

/* -- netlists: circuits from and to text -------------------------------------------- */

/* Read a circuit from text. Errors: NC_ERR_FORMAT with line and column, NC_ERR_UNSUPPORTED for what
 * is no combinational circuit, NC_ERR_LIMIT beyond 2^24 wires, 2^20 inputs or 32 nested models.
 * x[0] x[1] .. become the group x. A model that reads its own outputs is a cycle, even where no
 * value goes round.
 * BLIF: .names and .subckt, .gate and .latch by nc_fp4_read_options, yosys's .conn; the first model
 * is the circuit. Areas, delays, loads, clocks, attributes, cell names and external don't-cares
 * are passed over; other commands are refused by name. */
NC_API nc_status nc_fp4_read_blif(nc_fp4_circuit **circuit, const char *text, size_t bytes,
                                  nc_error *err);
/* Bristol Fashion: XOR, AND, INV, EQ, EQW, MAND; and the older format with its two inputs. */
NC_API nc_status nc_fp4_read_bristol(nc_fp4_circuit **circuit, const char *text, size_t bytes,
                                     nc_error *err);
/* {"name", "inputs", "outputs", "internals", "atoms"}: inputs, outputs and internals are names or
 * {"name", "width"}; an atom is {"type": "XOR", "inputs": ["a[0]", "1"], "output": "s"} with one of
 * the ten types, or "TABLE" and "truth": its outputs for inputs 00.., 10.., 01.. as a string. Other
 * members are passed over everywhere, but for those that would change the circuit ("latches",
 * "inverted" ..): NC_ERR_UNSUPPORTED, by name. */
NC_API nc_status nc_fp4_read_json(nc_fp4_circuit **circuit, const char *text, size_t bytes,
                                  nc_error *err);
/* AIGER 1.9, binary (.aig) or ASCII (.aag); ports without a symbol are i0 .., o0 ... Properties are
 * refused. */
NC_API nc_status nc_fp4_read_aiger(nc_fp4_circuit **circuit, const void *data, size_t bytes,
                                   nc_error *err);
/* Structural Verilog, as yosys's write_verilog -noattr and ABC write it: modules, wires, assign
 * with all operators of unsigned values but / % and **, gates, instances, yosys's gate cells. What
 * describes behaviour (always, functions), parameters and signed values are refused by name. */
NC_API nc_status nc_fp4_read_verilog(nc_fp4_circuit **circuit, const char *text, size_t bytes,
                                     nc_error *err);
/* Any of these, and bench (ISCAS-85), found by its first characters, with options (null: the
 * defaults). */
NC_API nc_status nc_fp4_read_circuit(nc_fp4_circuit **circuit, const nc_fp4_read_options *options,
                                     const void *data, size_t bytes, nc_error *err);
/* The circuit as a file: NC_FP4_BLIF, NC_FP4_BRISTOL, NC_FP4_JSON, NC_FP4_AIGER (binary) or
 * NC_FP4_DIMACS, where variables 1 .. inputs are the inputs. Free with nc_fp4_free_text.
 * NC_ERR_UNSUPPORTED for other kinds. */
NC_API nc_status nc_fp4_write_circuit(const nc_fp4_circuit *circuit, nc_fp4_file_kind kind,
                                      char **text, size_t *bytes);

/* -- networks: circuits compiled to threshold units --------------------------------- */

/* Compile: drop what no output needs, choose units for every function. The network does not refer
 * to the circuit; free it with nc_fp4_network_destroy. NC_ERR_ARG, NC_ERR_MEMORY. */
NC_API nc_status nc_fp4_compile(const nc_fp4_circuit *circuit, nc_fp4_network **network);
/* Release; null is fine. */
NC_API void nc_fp4_network_destroy(nc_fp4_network *network);
/* Number of inputs, all groups together. */
NC_API uint32_t nc_fp4_network_inputs(const nc_fp4_network *network);
/* Number of outputs, all groups together. */
NC_API uint32_t nc_fp4_network_outputs(const nc_fp4_network *network);
/* Number of threshold units. */
NC_API uint32_t nc_fp4_unit_count(const nc_fp4_network *network);
/* Unit i: its value is wire inputs + i. Null beyond the last. */
NC_API const nc_fp4_unit *nc_fp4_get_unit(const nc_fp4_network *network, uint32_t i);

/* -- evaluation: what a network gives ----------------------------------------------- */

/* Evaluate one case in float32, the reference: in (inputs) and out (outputs) hold 0 or 1; wires
 * (inputs + units) is scratch. */
NC_API void nc_fp4_eval_float(const nc_fp4_network *network, const float *in, float *out,
                              float *wires);
/* Evaluate one case from the packed codes, in half units (integers); wires (inputs + units bytes)
 * is scratch. in and out hold 0 or 1. exact: equals nc_fp4_eval_float. */
NC_API void nc_fp4_eval_packed(const nc_fp4_network *network, const uint8_t *in, uint8_t *out,
                               uint8_t *wires);
/* Evaluate 64 cases a word: in[i * words + w] holds input i of cases 64 w .., bit c is case c;
 * out likewise, not over in. exact. NC_ERR_MEMORY. */
NC_API nc_status nc_fp4_eval_sliced(const nc_fp4_network *network, const uint64_t *in,
                                    uint64_t *out, size_t words);
/* Evaluate n cases on plain integers: in[b][i] is group b (at most 64 wide) of case i; a null group
 * is 0. A null output group is left out. NC_ERR_LIMIT for wider groups. */
NC_API nc_status nc_fp4_eval_integers(const nc_fp4_network *network, const uint64_t *const *in,
                                      uint64_t *const *out, size_t n);

/* -- verification: a network against what it shall compute -------------------------- */

/* Compare a network with the circuit it was compiled from, or with any other of the same inputs
 * and outputs, within the default budget: all cases where they are few; for its own circuit by
 * structural induction; by decision diagrams; by sweeping; by all cases up to 26 inputs.
 * Equal when it returns NC_OK and report->wrong is 0 (report->verdict is NC_FP4_PROVEN). Without a
 * verdict it returns NC_ERR_LIMIT. The verdict is the same on every machine. */
NC_API nc_status nc_fp4_verify(const nc_fp4_network *network, const nc_fp4_circuit *circuit,
                               nc_fp4_report *report);
/* The same by one method: NC_ERR_LIMIT when it finds no verdict (EXHAUSTIVE: more than 26 inputs;
 * STRUCTURAL: not the network's own circuit). */
NC_API nc_status nc_fp4_verify_by(const nc_fp4_network *network, const nc_fp4_circuit *circuit,
                                  nc_fp4_evidence evidence, nc_fp4_report *report);
/* The same with a budget, methods, progress and a solver of choice; null: the defaults.
 * NC_ERR_CANCELLED when progress asked to stop, NC_ERR_MISMATCH when the solver's solution is none,
 * and, of all these, for other numbers of inputs or outputs. */
NC_API nc_status nc_fp4_verify_with(const nc_fp4_network *network, const nc_fp4_circuit *circuit,
                                    const nc_fp4_verify_options *options, nc_fp4_report *report);
/* A circuit with the same inputs and one output, which is 1 where network and circuit differ: to
 * hand on to other tools as BLIF, DIMACS .. Free with nc_fp4_destroy. NC_ERR_MISMATCH for other
 * numbers of inputs or outputs, NC_ERR_LIMIT beyond 2^24 wires. */
NC_API nc_status nc_fp4_miter(nc_fp4_circuit **miter, const nc_fp4_network *network,
                              const nc_fp4_circuit *circuit);
/* All 2^inputs combinations against a function. NC_ERR_LIMIT above 26 inputs or 64 outputs. */
NC_API nc_status nc_fp4_verify_cases(const nc_fp4_network *network, nc_fp4_spec_fn spec, void *user,
                                     nc_fp4_report *report);

/* -- files: networks as files ------------------------------------------------------- */

/* A network from the bytes of a .fp4 file. NC_ERR_MISMATCH when the checksum is not right,
 * NC_ERR_UNSUPPORTED for another version, NC_ERR_FORMAT. */
NC_API nc_status nc_fp4_read_network(nc_fp4_network **network, const void *data, size_t bytes,
                                     nc_error *err);
/* The network as a file: NC_FP4_FILE (binary: topology, codes at 4 bits, checksum), NC_FP4_BLIF (a
 * .names for each unit), NC_FP4_DOT, NC_FP4_C (a header with one bit-sliced function), NC_FP4_JSON
 * (a manifest) or NC_FP4_SAFETENSORS (codes with MXFP4 scales of 1, and the topology). Free with
 * nc_fp4_free_text. NC_ERR_UNSUPPORTED for other kinds. */
NC_API nc_status nc_fp4_write_network(const nc_fp4_network *network, nc_fp4_file_kind kind,
                                      char **data, size_t *bytes);

#ifdef NC_GPU
/* -- gpu: products and circuits on a device of nc_gpu.h, to the same bits ----------- */

/* The kernels of a device; close before the device. */
typedef struct nc_fp4_gpu nc_fp4_gpu;
/* Load the kernels. */
NC_API nc_status nc_fp4_gpu_open(nc_fp4_gpu **gpu, nc_gpu *device);
/* Release; null is fine. */
NC_API void nc_fp4_gpu_close(nc_fp4_gpu *gpu);
/* A tensor on a device, laid out for the kernels, with the buffers of its last product. */
typedef struct nc_fp4_gpu_tensor nc_fp4_gpu_tensor;
/* Copy a tensor to the device, where it takes 1/2 byte a weight and its scales as they are (of NF4
 * and BNB as float32 for every 32 columns, 16 where blocks run across rows; rows to a multiple of
 * 16, columns of 128). The tensor itself is not needed any more. NC_ERR_LIMIT beyond the device's
 * buffers; NC_ERR_UNSUPPORTED for blocks across rows of columns that are no multiple of 16. */
NC_API nc_status nc_fp4_gpu_tensor_create(nc_fp4_gpu_tensor **resident, nc_fp4_gpu *gpu,
                                          const nc_fp4_tensor *tensor);
/* Release, before the device; null is fine. */
NC_API void nc_fp4_gpu_tensor_destroy(nc_fp4_gpu_tensor *resident);
/* nc_fp4_matmul, to the bit; one call at a time for a tensor. Calls with as many vectors as the one
 * before use its buffers again. NC_ERR_LIMIT beyond 262,140 vectors or the device's buffers. */
NC_API nc_status nc_fp4_gpu_tensor_matmul(nc_fp4_gpu_tensor *resident, const float *x, size_t n,
                                          float *y);
/* The same for a tensor that is copied to the device for this call alone. */
NC_API nc_status nc_fp4_gpu_matmul(nc_fp4_gpu *gpu, const nc_fp4_tensor *tensor, const float *x,
                                   size_t n, float *y);
/* nc_fp4_matvec_i8, to the bit; as nc_fp4_gpu_tensor_matmul beside. NC_ERR_UNSUPPORTED for formats
 * that are not E2M1. */
NC_API nc_status nc_fp4_gpu_tensor_matvec_i8(nc_fp4_gpu_tensor *resident, const int8_t *x,
                                             float x_scale, float *y);
/* nc_fp4_eval_sliced. */
NC_API nc_status nc_fp4_gpu_eval_sliced(nc_fp4_gpu *gpu, const nc_fp4_network *network,
                                        const uint64_t *in, uint64_t *out, size_t words);
#endif

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

#include <float.h>
#include <limits.h>
#include <math.h>
#if defined(NC__POSIX_FILES) && !defined(__cplusplus) /* hidden by strict -std=c99 */
extern ssize_t pread(int fd, void *to, size_t bytes, off_t at);
#endif
#if !defined(NC_NO_SIMD) && defined(__GNUC__) && defined(__x86_64__)
#define NC_FP4__X86 1
#include <immintrin.h> /* here: outside the options below it compiles faster */
#elif defined(NC__NEON)
#include <arm_neon.h>
#endif

#ifdef __FAST_MATH__
#error "nc_fp4.h promises bits: compile without -ffast-math"
#endif
#if defined(FLT_EVAL_METHOD) && (FLT_EVAL_METHOD == 1 || FLT_EVAL_METHOD == 2)
#error "nc_fp4.h promises bits: float must be evaluated as float (x86: -msse2 -mfpmath=sse)"
#endif

/* a * b + c may become one fma only where this file says so. */
#if defined(__clang__)
#pragma STDC FP_CONTRACT OFF
#elif defined(__GNUC__)
#pragma GCC push_options
#pragma GCC optimize("fp-contract=off")
#endif

/* >>simd ========================================================================= */

static int nc_fp4__forced_level = -1;

static int nc_fp4__level(void) {
    static int best = -1;
    return nc__level(&nc_fp4__forced_level, &best, nc__cpu_level);
}

NC_API int nc_fp4_set_simd(int level) {
    const int best = nc__cpu_level();
    NC__SET(nc_fp4__forced_level, level > best ? best : level < 0 ? -1 : level);
    return nc_fp4__level();
}

/* Lanes of the loops to take: 16 of AVX-512, 8 of AVX2 or NEON, or 0: the portable ones. */
static NC_UNUSED size_t nc_fp4__lanes(void) {
    const int level = nc_fp4__level();
#ifdef NC_FP4__X86
    if (level >= 2) return 16;
#endif
    return level ? 8 : 0;
}

#ifdef NC_FP4__X86
#define NC_FP4__TARGET512 __attribute__((target("avx512f,avx512bw,avx512dq,avx512vl,avx2,fma")))
#define NC_FP4__INLINE512 static inline __attribute__((always_inline, unused)) NC_FP4__TARGET512
#if !defined(__clang__)
#pragma GCC diagnostic push /* gcc 12 warns about its own _mm512_undefined (its bug 105593) */
#pragma GCC diagnostic ignored "-Wmaybe-uninitialized"
#pragma GCC diagnostic ignored "-Wuninitialized"
#endif
#endif

/* Eight lanes of 32 bits, or 32 bytes: a register of AVX2, or two of NEON. Operations keep to the
 * halves of 16 bytes, except `join`. The loops over them stand below once for both. */
#if defined(NC_FP4__X86)
#define NC_FP4__LANES8 1
#define NC_FP4__TARGET8 __attribute__((target("avx2,fma")))
typedef __m256i nc_fp4__v8;
typedef __m256 nc_fp4__f8;
#elif defined(NC__NEON)
#define NC_FP4__LANES8 1
#define NC_FP4__TARGET8
typedef struct nc_fp4__v8 {
    uint32x4_t a, b;
} nc_fp4__v8;
typedef struct nc_fp4__f8 {
    float32x4_t a, b;
} nc_fp4__f8;
#endif

#ifdef NC_FP4__LANES8
#define NC_FP4__INLINE8 static inline __attribute__((always_inline, unused)) NC_FP4__TARGET8

/* Operations of two operands by their names here, in AVX2 and in NEON. */
#ifdef NC_FP4__X86
#define NC_FP4__BINARY(type, name, avx2, neon, as)                                                 \
    NC_FP4__INLINE8 type nc_fp4__##name(type x, type y) { return avx2(x, y); }
#else
#define NC_FP4__TO_u8(x) vreinterpretq_u8_u32(x)
#define NC_FP4__TO_u16(x) vreinterpretq_u16_u32(x)
#define NC_FP4__TO_u64(x) vreinterpretq_u64_u32(x)
#define NC_FP4__TO_s32(x) vreinterpretq_s32_u32(x)
#define NC_FP4__TO_u32(x) (x)
#define NC_FP4__TO_f32(x) (x)
#define NC_FP4__FROM_u8(x) vreinterpretq_u32_u8(x)
#define NC_FP4__FROM_u16(x) vreinterpretq_u32_u16(x)
#define NC_FP4__FROM_u64(x) vreinterpretq_u32_u64(x)
#define NC_FP4__FROM_s32(x) vreinterpretq_u32_s32(x)
#define NC_FP4__FROM_u32(x) (x)
#define NC_FP4__FROM_f32(x) (x)
#define NC_FP4__BINARY(type, name, avx2, neon, as)                                                 \
    NC_FP4__INLINE8 type nc_fp4__##name(type x, type y) {                                          \
        type z;                                                                                    \
        z.a = NC_FP4__FROM_##as(neon(NC_FP4__TO_##as(x.a), NC_FP4__TO_##as(y.a)));                 \
        z.b = NC_FP4__FROM_##as(neon(NC_FP4__TO_##as(x.b), NC_FP4__TO_##as(y.b)));                 \
        return z;                                                                                  \
    }
#endif
NC_FP4__BINARY(nc_fp4__v8, and8, _mm256_and_si256, vandq_u32, u32)
NC_FP4__BINARY(nc_fp4__v8, or8, _mm256_or_si256, vorrq_u32, u32)
NC_FP4__BINARY(nc_fp4__v8, xor8, _mm256_xor_si256, veorq_u32, u32)
NC_FP4__BINARY(nc_fp4__v8, add8, _mm256_add_epi32, vaddq_u32, u32)
NC_FP4__BINARY(nc_fp4__v8, sub8, _mm256_sub_epi32, vsubq_u32, u32)
NC_FP4__BINARY(nc_fp4__v8, max8, _mm256_max_epu32, vmaxq_u32, u32)
NC_FP4__BINARY(nc_fp4__v8, min8, _mm256_min_epu32, vminq_u32, u32)
NC_FP4__BINARY(nc_fp4__v8, equal8, _mm256_cmpeq_epi32, vceqq_u32, u32)
NC_FP4__BINARY(nc_fp4__v8, above8, _mm256_cmpgt_epi32, vcgtq_u32, u32)      /* both below 2^31 */
NC_FP4__BINARY(nc_fp4__v8, low_bytes8, _mm256_unpacklo_epi8, vzip1q_u8, u8) /* in turn */
NC_FP4__BINARY(nc_fp4__v8, high_bytes8, _mm256_unpackhi_epi8, vzip2q_u8, u8)
NC_FP4__BINARY(nc_fp4__v8, low_halves8, _mm256_unpacklo_epi16, vzip1q_u16, u16)
NC_FP4__BINARY(nc_fp4__v8, high_halves8, _mm256_unpackhi_epi16, vzip2q_u16, u16)
NC_FP4__BINARY(nc_fp4__v8, low_words8, _mm256_unpacklo_epi32, vzip1q_u32, u32)
NC_FP4__BINARY(nc_fp4__v8, high_words8, _mm256_unpackhi_epi32, vzip2q_u32, u32)
NC_FP4__BINARY(nc_fp4__v8, low_doubles8, _mm256_unpacklo_epi64, vzip1q_u64, u64)
NC_FP4__BINARY(nc_fp4__v8, high_doubles8, _mm256_unpackhi_epi64, vzip2q_u64, u64)
NC_FP4__BINARY(nc_fp4__v8, lookup8, _mm256_shuffle_epi8, vqtbl1q_u8, u8) /* table, indices < 16 */
NC_FP4__BINARY(nc_fp4__f8, addf8, _mm256_add_ps, vaddq_f32, f32)
NC_FP4__BINARY(nc_fp4__f8, mulf8, _mm256_mul_ps, vmulq_f32, f32)
NC_FP4__BINARY(nc_fp4__f8, divf8, _mm256_div_ps, vdivq_f32, f32)
#undef NC_FP4__BINARY

/* The others, in AVX2. */
#ifdef NC_FP4__X86
NC_FP4__INLINE8 nc_fp4__v8 nc_fp4__set8(uint32_t x) { return _mm256_set1_epi32((int)x); }
NC_FP4__INLINE8 nc_fp4__f8 nc_fp4__setf8(float x) { return _mm256_set1_ps(x); }
NC_FP4__INLINE8 nc_fp4__v8 nc_fp4__load8(const void *x) {
    return _mm256_loadu_si256((const __m256i *)x);
}
NC_FP4__INLINE8 nc_fp4__f8 nc_fp4__loadf8(const float *x) { return _mm256_loadu_ps(x); }
NC_FP4__INLINE8 void nc_fp4__store8(void *to, nc_fp4__v8 x) {
    _mm256_storeu_si256((__m256i *)to, x);
}
NC_FP4__INLINE8 void nc_fp4__storef8(float *to, nc_fp4__f8 x) { _mm256_storeu_ps(to, x); }
NC_FP4__INLINE8 nc_fp4__f8 nc_fp4__as_float8(nc_fp4__v8 x) { return _mm256_castsi256_ps(x); }
NC_FP4__INLINE8 nc_fp4__v8 nc_fp4__as_bits8(nc_fp4__f8 x) { return _mm256_castps_si256(x); }
NC_FP4__INLINE8 nc_fp4__f8 nc_fp4__to_float8(nc_fp4__v8 x) { return _mm256_cvtepi32_ps(x); }
NC_FP4__INLINE8 nc_fp4__v8 nc_fp4__left8(nc_fp4__v8 x, int n) { return _mm256_slli_epi32(x, n); }
NC_FP4__INLINE8 nc_fp4__v8 nc_fp4__right8(nc_fp4__v8 x, int n) { return _mm256_srli_epi32(x, n); }
/* x > y, as masks; not for NaN. */
NC_FP4__INLINE8 nc_fp4__v8 nc_fp4__abovef8(nc_fp4__f8 x, nc_fp4__f8 y) {
    return _mm256_castps_si256(_mm256_cmp_ps(x, y, _CMP_GT_OQ));
}
/* Bits of yes where the mask has ones, else of no. */
NC_FP4__INLINE8 nc_fp4__v8 nc_fp4__mux8(nc_fp4__v8 mask, nc_fp4__v8 yes, nc_fp4__v8 no) {
    return _mm256_xor_si256(no, _mm256_and_si256(mask, _mm256_xor_si256(yes, no)));
}
/* The same for masks of whole words. */
NC_FP4__INLINE8 nc_fp4__v8 nc_fp4__select8(nc_fp4__v8 mask, nc_fp4__v8 yes, nc_fp4__v8 no) {
#ifdef __CHAR_UNSIGNED__ /* gcc 12 and -funsigned-char: a blend of bytes takes no byte of yes */
    return nc_fp4__mux8(mask, yes, no);
#else
    return _mm256_blendv_epi8(no, yes, mask);
#endif
}
NC_FP4__INLINE8 int nc_fp4__any8(nc_fp4__v8 mask) { return _mm256_movemask_epi8(mask) != 0; }
NC_FP4__INLINE8 nc_fp4__f8 nc_fp4__fma8(nc_fp4__f8 x, nc_fp4__f8 y, nc_fp4__f8 z) {
    return _mm256_fmadd_ps(x, y, z);
}
/* The low halves of both; the high ones. */
NC_FP4__INLINE8 nc_fp4__v8 nc_fp4__join_low8(nc_fp4__v8 x, nc_fp4__v8 y) {
    return _mm256_permute2x128_si256(x, y, 0x20);
}
NC_FP4__INLINE8 nc_fp4__v8 nc_fp4__join_high8(nc_fp4__v8 x, nc_fp4__v8 y) {
    return _mm256_permute2x128_si256(x, y, 0x31);
}
/* Words 0 and 2 of x, then of y; words 1 and 3. */
NC_FP4__INLINE8 nc_fp4__v8 nc_fp4__even_words8(nc_fp4__v8 x, nc_fp4__v8 y) {
    return nc_fp4__as_bits8(_mm256_shuffle_ps(nc_fp4__as_float8(x), nc_fp4__as_float8(y), 0x88));
}
NC_FP4__INLINE8 nc_fp4__v8 nc_fp4__odd_words8(nc_fp4__v8 x, nc_fp4__v8 y) {
    return nc_fp4__as_bits8(_mm256_shuffle_ps(nc_fp4__as_float8(x), nc_fp4__as_float8(y), 0xDD));
}
/* One of eight floats for every lane. */
NC_FP4__INLINE8 nc_fp4__f8 nc_fp4__choose8(nc_fp4__f8 table, nc_fp4__v8 index) {
    return _mm256_permutevar8x32_ps(table, index);
}
/* Eight bytes as words; sixteen bytes in both halves. */
NC_FP4__INLINE8 nc_fp4__v8 nc_fp4__bytes8(const uint8_t *x) {
    return _mm256_cvtepu8_epi32(_mm_loadl_epi64((const __m128i *)(const void *)x));
}
NC_FP4__INLINE8 nc_fp4__v8 nc_fp4__twice8(const uint8_t *x) {
    return _mm256_broadcastsi128_si256(_mm_loadu_si128((const __m128i *)(const void *)x));
}
/* Sixteen bytes that stand there twice. */
NC_FP4__INLINE8 nc_fp4__v8 nc_fp4__doubled8(const uint8_t *x) { return nc_fp4__load8(x); }
NC_FP4__INLINE8 nc_fp4__v8 nc_fp4__low_nibbles8(nc_fp4__v8 x) {
    return _mm256_and_si256(x, _mm256_set1_epi8(15));
}
NC_FP4__INLINE8 nc_fp4__v8 nc_fp4__high_nibbles8(nc_fp4__v8 x) {
    return _mm256_and_si256(_mm256_srli_epi16(x, 4), _mm256_set1_epi8(15));
}
/* 32 codes of 16 bytes as bytes: the even ones, then the odd ones; in their order. */
NC_FP4__INLINE8 nc_fp4__v8 nc_fp4__even_odd8(const uint8_t *codes) {
    const __m256i by = _mm256_set_epi32(4, 4, 4, 4, 0, 0, 0, 0);
    return nc_fp4__low_nibbles8(_mm256_srlv_epi32(nc_fp4__twice8(codes), by));
}
NC_FP4__INLINE8 nc_fp4__v8 nc_fp4__in_order8(const uint8_t *codes) {
    const __m128i x = _mm_loadu_si128((const __m128i *)(const void *)codes);
    const __m128i even = _mm_and_si128(x, _mm_set1_epi8(15));
    const __m128i odd = _mm_and_si128(_mm_srli_epi16(x, 4), _mm_set1_epi8(15));
    return _mm256_set_m128i(_mm_unpackhi_epi8(even, odd), _mm_unpacklo_epi8(even, odd));
}
/* Sixteen codes as words to eight bytes. */
NC_FP4__INLINE8 void nc_fp4__store_codes8(uint8_t *codes, nc_fp4__v8 x, nc_fp4__v8 y) {
    const __m256i first = _mm256_set1_epi32(0x0C080400);
    __m256i z = _mm256_madd_epi16(_mm256_packs_epi32(x, y), _mm256_set1_epi32(0x00100001));
    z = _mm256_shuffle_epi8(z, first); /* bytes of x, bytes of y; of the high half likewise */
    _mm_storel_epi64((__m128i *)(void *)codes,
                     _mm_unpacklo_epi16(_mm256_castsi256_si128(z), _mm256_extracti128_si256(z, 1)));
}
/* Sums of four products of bytes to a word: weights without a sign times x with one. Sums of 16
 * bits hold two products four times over before they are ended: 4 * 2 * 30 * 128 < 2^15. */
typedef __m256i nc_fp4__dots8;
NC_FP4__INLINE8 nc_fp4__dots8 nc_fp4__dots_add8(nc_fp4__dots8 sums, nc_fp4__v8 weights,
                                                nc_fp4__v8 x, int dot) {
    (void)dot;
    return _mm256_add_epi16(sums, _mm256_maddubs_epi16(weights, x));
}
NC_FP4__INLINE8 nc_fp4__v8 nc_fp4__dots_end8(nc_fp4__v8 total, nc_fp4__dots8 sums, int dot) {
    (void)dot;
    return _mm256_add_epi32(total, _mm256_madd_epi16(sums, _mm256_set1_epi16(1)));
}
NC_FP4__INLINE8 nc_fp4__dots8 nc_fp4__dots_begin8(void) { return _mm256_setzero_si256(); }
/* Sums of two such products in 16 bits; of neighbours of these; the even, the odd ones, or sums of
 * both as words. Sums of eight fit: 8 * 30 * 128 < 2^15. */
NC_FP4__INLINE8 nc_fp4__v8 nc_fp4__twos8(nc_fp4__v8 weights, nc_fp4__v8 x) {
    return _mm256_maddubs_epi16(weights, x);
}
NC_FP4__INLINE8 nc_fp4__v8 nc_fp4__short_pairs8(nc_fp4__v8 x, nc_fp4__v8 y) {
    return _mm256_hadd_epi16(x, y);
}
NC_FP4__INLINE8 nc_fp4__v8 nc_fp4__short_even8(nc_fp4__v8 x) {
    return _mm256_madd_epi16(x, _mm256_set1_epi32(0x00000001));
}
NC_FP4__INLINE8 nc_fp4__v8 nc_fp4__short_odd8(nc_fp4__v8 x) {
    return _mm256_madd_epi16(x, _mm256_set1_epi32(0x00010000));
}
NC_FP4__INLINE8 nc_fp4__v8 nc_fp4__short_both8(nc_fp4__v8 x) {
    return _mm256_madd_epi16(x, _mm256_set1_epi32(0x00010001));
}
#else
NC_FP4__INLINE8 nc_fp4__v8 nc_fp4__set8(uint32_t x) {
    nc_fp4__v8 z;
    z.a = z.b = vdupq_n_u32(x);
    return z;
}
NC_FP4__INLINE8 nc_fp4__f8 nc_fp4__setf8(float x) {
    nc_fp4__f8 z;
    z.a = z.b = vdupq_n_f32(x);
    return z;
}
NC_FP4__INLINE8 nc_fp4__v8 nc_fp4__load8(const void *x) { /* at any address, of any type */
    nc_fp4__v8 z;
    z.a = vreinterpretq_u32_u8(vld1q_u8((const uint8_t *)x));
    z.b = vreinterpretq_u32_u8(vld1q_u8((const uint8_t *)x + 16));
    return z;
}
NC_FP4__INLINE8 nc_fp4__f8 nc_fp4__loadf8(const float *x) {
    nc_fp4__f8 z;
    z.a = vld1q_f32(x);
    z.b = vld1q_f32(x + 4);
    return z;
}
NC_FP4__INLINE8 void nc_fp4__store8(void *to, nc_fp4__v8 x) {
    vst1q_u8((uint8_t *)to, vreinterpretq_u8_u32(x.a));
    vst1q_u8((uint8_t *)to + 16, vreinterpretq_u8_u32(x.b));
}
NC_FP4__INLINE8 void nc_fp4__storef8(float *to, nc_fp4__f8 x) {
    vst1q_f32(to, x.a);
    vst1q_f32(to + 4, x.b);
}
NC_FP4__INLINE8 nc_fp4__f8 nc_fp4__as_float8(nc_fp4__v8 x) {
    nc_fp4__f8 z;
    z.a = vreinterpretq_f32_u32(x.a);
    z.b = vreinterpretq_f32_u32(x.b);
    return z;
}
NC_FP4__INLINE8 nc_fp4__v8 nc_fp4__as_bits8(nc_fp4__f8 x) {
    nc_fp4__v8 z;
    z.a = vreinterpretq_u32_f32(x.a);
    z.b = vreinterpretq_u32_f32(x.b);
    return z;
}
NC_FP4__INLINE8 nc_fp4__f8 nc_fp4__to_float8(nc_fp4__v8 x) {
    nc_fp4__f8 z;
    z.a = vcvtq_f32_s32(vreinterpretq_s32_u32(x.a));
    z.b = vcvtq_f32_s32(vreinterpretq_s32_u32(x.b));
    return z;
}
NC_FP4__INLINE8 nc_fp4__v8 nc_fp4__left8(nc_fp4__v8 x, int n) {
    x.a = vshlq_u32(x.a, vdupq_n_s32(n));
    x.b = vshlq_u32(x.b, vdupq_n_s32(n));
    return x;
}
NC_FP4__INLINE8 nc_fp4__v8 nc_fp4__right8(nc_fp4__v8 x, int n) { return nc_fp4__left8(x, -n); }
NC_FP4__INLINE8 nc_fp4__v8 nc_fp4__abovef8(nc_fp4__f8 x, nc_fp4__f8 y) {
    nc_fp4__v8 z;
    z.a = vcgtq_f32(x.a, y.a);
    z.b = vcgtq_f32(x.b, y.b);
    return z;
}
NC_FP4__INLINE8 nc_fp4__v8 nc_fp4__select8(nc_fp4__v8 mask, nc_fp4__v8 yes, nc_fp4__v8 no) {
    no.a = vbslq_u32(mask.a, yes.a, no.a);
    no.b = vbslq_u32(mask.b, yes.b, no.b);
    return no;
}
NC_FP4__INLINE8 nc_fp4__v8 nc_fp4__mux8(nc_fp4__v8 mask, nc_fp4__v8 yes, nc_fp4__v8 no) {
    return nc_fp4__select8(mask, yes, no);
}
NC_FP4__INLINE8 int nc_fp4__any8(nc_fp4__v8 mask) {
    return vmaxvq_u32(vorrq_u32(mask.a, mask.b)) != 0;
}
NC_FP4__INLINE8 nc_fp4__f8 nc_fp4__fma8(nc_fp4__f8 x, nc_fp4__f8 y, nc_fp4__f8 z) {
    z.a = vfmaq_f32(z.a, x.a, y.a);
    z.b = vfmaq_f32(z.b, x.b, y.b);
    return z;
}
NC_FP4__INLINE8 nc_fp4__v8 nc_fp4__join_low8(nc_fp4__v8 x, nc_fp4__v8 y) {
    x.b = y.a;
    return x;
}
NC_FP4__INLINE8 nc_fp4__v8 nc_fp4__join_high8(nc_fp4__v8 x, nc_fp4__v8 y) {
    y.a = x.b;
    return y;
}
NC_FP4__INLINE8 nc_fp4__v8 nc_fp4__even_words8(nc_fp4__v8 x, nc_fp4__v8 y) {
    x.a = vuzp1q_u32(x.a, y.a);
    x.b = vuzp1q_u32(x.b, y.b);
    return x;
}
NC_FP4__INLINE8 nc_fp4__v8 nc_fp4__odd_words8(nc_fp4__v8 x, nc_fp4__v8 y) {
    x.a = vuzp2q_u32(x.a, y.a);
    x.b = vuzp2q_u32(x.b, y.b);
    return x;
}
NC_FP4__INLINE8 nc_fp4__f8 nc_fp4__choose8(nc_fp4__f8 table, nc_fp4__v8 index) {
    const uint32x4_t first = vdupq_n_u32(0x03020100), step = vdupq_n_u32(0x04040404);
    uint8x16x2_t bytes;
    bytes.val[0] = vreinterpretq_u8_f32(table.a);
    bytes.val[1] = vreinterpretq_u8_f32(table.b);
    index.a = vmlaq_u32(first, index.a, step);
    index.b = vmlaq_u32(first, index.b, step);
    table.a = vreinterpretq_f32_u8(vqtbl2q_u8(bytes, vreinterpretq_u8_u32(index.a)));
    table.b = vreinterpretq_f32_u8(vqtbl2q_u8(bytes, vreinterpretq_u8_u32(index.b)));
    return table;
}
NC_FP4__INLINE8 nc_fp4__v8 nc_fp4__bytes8(const uint8_t *x) {
    const uint16x8_t halves = vmovl_u8(vld1_u8(x));
    nc_fp4__v8 z;
    z.a = vmovl_u16(vget_low_u16(halves));
    z.b = vmovl_high_u16(halves);
    return z;
}
NC_FP4__INLINE8 nc_fp4__v8 nc_fp4__twice8(const uint8_t *x) {
    nc_fp4__v8 z;
    z.a = z.b = vreinterpretq_u32_u8(vld1q_u8(x));
    return z;
}
NC_FP4__INLINE8 nc_fp4__v8 nc_fp4__doubled8(const uint8_t *x) { return nc_fp4__twice8(x); }
NC_FP4__INLINE8 nc_fp4__v8 nc_fp4__low_nibbles8(nc_fp4__v8 x) {
    return nc_fp4__and8(x, nc_fp4__set8(0x0F0F0F0F));
}
NC_FP4__INLINE8 nc_fp4__v8 nc_fp4__high_nibbles8(nc_fp4__v8 x) {
    x.a = vreinterpretq_u32_u8(vshrq_n_u8(vreinterpretq_u8_u32(x.a), 4));
    x.b = vreinterpretq_u32_u8(vshrq_n_u8(vreinterpretq_u8_u32(x.b), 4));
    return x;
}
NC_FP4__INLINE8 nc_fp4__v8 nc_fp4__even_odd8(const uint8_t *codes) {
    const uint8x16_t x = vld1q_u8(codes);
    nc_fp4__v8 z;
    z.a = vreinterpretq_u32_u8(vandq_u8(x, vdupq_n_u8(15)));
    z.b = vreinterpretq_u32_u8(vshrq_n_u8(x, 4));
    return z;
}
NC_FP4__INLINE8 nc_fp4__v8 nc_fp4__in_order8(const uint8_t *codes) {
    const nc_fp4__v8 x = nc_fp4__even_odd8(codes);
    const uint8x16_t even = vreinterpretq_u8_u32(x.a), odd = vreinterpretq_u8_u32(x.b);
    nc_fp4__v8 z;
    z.a = vreinterpretq_u32_u8(vzip1q_u8(even, odd));
    z.b = vreinterpretq_u32_u8(vzip2q_u8(even, odd));
    return z;
}
NC_FP4__INLINE8 void nc_fp4__store_codes8(uint8_t *codes, nc_fp4__v8 x, nc_fp4__v8 y) {
    const uint16x8_t v = vuzp1q_u16(vreinterpretq_u16_u32(x.a), vreinterpretq_u16_u32(x.b));
    const uint16x8_t w = vuzp1q_u16(vreinterpretq_u16_u32(y.a), vreinterpretq_u16_u32(y.b));
    const uint8x16_t all = vuzp1q_u8(vreinterpretq_u8_u16(v), vreinterpretq_u8_u16(w));
    vst1_u8(codes, vget_low_u8(vsliq_n_u8(vuzp1q_u8(all, all), vuzp2q_u8(all, all), 4)));
}
/* Here both have signs. `dot`: by the dot products that some processors have. SDOT is written by
 * its encoding: assemblers know it only where a whole function may use it, and such a function
 * takes none inlined that may use something else. The symbols are the numbers of the registers. */
#define NC_FP4__SDOT(sum, weights, x)                                                              \
    __asm__(".irp n,0,1,2,3,4,5,6,7,8,9,10,11,12,13,14,15,16,17,18,19,20,21,22,23,24,25,26,27,28," \
            "29,30,31\n\t.set .Lnc_v\\n,\\n\n\t.endr\n\t"                                          \
            ".inst 0x4E809400 | .Lnc_%2 << 16 | .Lnc_%1 << 5 | .Lnc_%0"                            \
            : "+w"(sum)                                                                            \
            : "w"(weights), "w"(x))
typedef struct nc_fp4__dots8 {
    int16x8_t half[4];
    nc_fp4__v8 words;
} nc_fp4__dots8;
NC_FP4__INLINE8 nc_fp4__dots8 nc_fp4__dots_begin8(void) {
    nc_fp4__dots8 z;
    z.half[0] = z.half[1] = z.half[2] = z.half[3] = vdupq_n_s16(0);
    z.words = nc_fp4__set8(0);
    return z;
}
NC_FP4__INLINE8 nc_fp4__dots8 nc_fp4__dots_add8(nc_fp4__dots8 sums, nc_fp4__v8 weights,
                                                nc_fp4__v8 x, int dot) {
    const int8x16_t wa = vreinterpretq_s8_u32(weights.a), wb = vreinterpretq_s8_u32(weights.b);
    const int8x16_t xa = vreinterpretq_s8_u32(x.a), xb = vreinterpretq_s8_u32(x.b);
    if (dot) {
        NC_FP4__SDOT(sums.words.a, wa, xa);
        NC_FP4__SDOT(sums.words.b, wb, xb);
        return sums;
    }
    sums.half[0] = vmlal_s8(sums.half[0], vget_low_s8(wa), vget_low_s8(xa));
    sums.half[1] = vmlal_high_s8(sums.half[1], wa, xa);
    sums.half[2] = vmlal_s8(sums.half[2], vget_low_s8(wb), vget_low_s8(xb));
    sums.half[3] = vmlal_high_s8(sums.half[3], wb, xb);
    return sums;
}
NC_FP4__INLINE8 nc_fp4__v8 nc_fp4__dots_end8(nc_fp4__v8 total, nc_fp4__dots8 sums, int dot) {
    const int16x8_t a = vpaddq_s16(sums.half[0], sums.half[1]);
    const int16x8_t b = vpaddq_s16(sums.half[2], sums.half[3]);
    if (dot) return nc_fp4__add8(total, sums.words);
    total.a = vreinterpretq_u32_s32(vpadalq_s16(vreinterpretq_s32_u32(total.a), a));
    total.b = vreinterpretq_u32_s32(vpadalq_s16(vreinterpretq_s32_u32(total.b), b));
    return total;
}
NC_FP4__INLINE8 nc_fp4__v8 nc_fp4__short_pairs8(nc_fp4__v8 x, nc_fp4__v8 y) {
    x.a = vreinterpretq_u32_u16(vpaddq_u16(vreinterpretq_u16_u32(x.a), vreinterpretq_u16_u32(y.a)));
    x.b = vreinterpretq_u32_u16(vpaddq_u16(vreinterpretq_u16_u32(x.b), vreinterpretq_u16_u32(y.b)));
    return x;
}
NC_FP4__INLINE8 nc_fp4__v8 nc_fp4__twos8(nc_fp4__v8 weights, nc_fp4__v8 x) {
    const int8x16_t wa = vreinterpretq_s8_u32(weights.a), wb = vreinterpretq_s8_u32(weights.b);
    const int8x16_t xa = vreinterpretq_s8_u32(x.a), xb = vreinterpretq_s8_u32(x.b);
    nc_fp4__v8 low, high;
    low.a = vreinterpretq_u32_s16(vmull_s8(vget_low_s8(wa), vget_low_s8(xa)));
    low.b = vreinterpretq_u32_s16(vmull_s8(vget_low_s8(wb), vget_low_s8(xb)));
    high.a = vreinterpretq_u32_s16(vmull_high_s8(wa, xa));
    high.b = vreinterpretq_u32_s16(vmull_high_s8(wb, xb));
    return nc_fp4__short_pairs8(low, high);
}
NC_FP4__INLINE8 nc_fp4__v8 nc_fp4__short_odd8(nc_fp4__v8 x) {
    x.a = vreinterpretq_u32_s32(vshrq_n_s32(vreinterpretq_s32_u32(x.a), 16));
    x.b = vreinterpretq_u32_s32(vshrq_n_s32(vreinterpretq_s32_u32(x.b), 16));
    return x;
}
NC_FP4__INLINE8 nc_fp4__v8 nc_fp4__short_even8(nc_fp4__v8 x) {
    return nc_fp4__short_odd8(nc_fp4__left8(x, 16));
}
NC_FP4__INLINE8 nc_fp4__v8 nc_fp4__short_both8(nc_fp4__v8 x) {
    x.a = vreinterpretq_u32_s32(vpaddlq_s16(vreinterpretq_s16_u32(x.a)));
    x.b = vreinterpretq_u32_s32(vpaddlq_s16(vreinterpretq_s16_u32(x.b)));
    return x;
}
#endif
#endif

/* >>formats ====================================================================== */

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

/* What the sixteen codes of an element type stand for, and which of them is nearest to a value.
 * With a sign in bit 3, `rising` and `limit` are those of the magnitudes. limit[i] is the largest
 * float32 that becomes rising[i]: at a tie either the middle between it and the next one, or the
 * float32 below, where the next one wins. */
typedef struct nc_fp4__element {
    float value[16];    /* of each code */
    float largest;      /* magnitude that the largest of a block is scaled to */
    uint8_t magnitudes; /* 8: bit 3 is a sign; 16: it is not */
    uint8_t nan;        /* the code that NaN gets */
    uint8_t halves;     /* 1: every value is a multiple of 1/2, at most 15 of them: integer sums */
    uint8_t rising[16]; /* the codes by value */
    float limit[15];
} nc_fp4__element;

/* The values of all codes. E2M1: OCP Microscaling Formats 1.0 (2023), 5.3.3; NF4: quantiles of the
 * normal distribution, normalised (Dettmers et al., QLoRA, 2023, appendix E); bitsandbytes' FP4. */
#define NC_FP4__E2M1_VALUES                                                                        \
    {                                                                                              \
        0.0f, 0.5f, 1.0f, 1.5f, 2.0f, 3.0f, 4.0f, 6.0f, -0.0f, -0.5f, -1.0f, -1.5f, -2.0f, -3.0f,  \
            -4.0f, -6.0f                                                                           \
    }
#define NC_FP4__NF4_VALUES                                                                         \
    {                                                                                              \
        -1.0f, -0.6961928009986877f, -0.5250730514526367f, -0.39491748809814453f,                  \
            -0.28444138169288635f, -0.18477343022823334f, -0.09105003625154495f, 0.0f,             \
            0.07958029955625534f, 0.16093020141124725f, 0.24611230194568634f,                      \
            0.33791524171829224f, 0.44070982933044434f, 0.5626170039176941f, 0.7229568362236023f,  \
            1.0f                                                                                   \
    }
#define NC_FP4__BNB_VALUES                                                                         \
    {                                                                                              \
        0.0f, 0.005208333333f, 0.66666667f, 1.0f, 0.33333333f, 0.5f, 0.16666667f, 0.25f, -0.0f,    \
            -0.005208333333f, -0.66666667f, -1.0f, -0.33333333f, -0.5f, -0.16666667f, -0.25f       \
    }

/* Ties to even codes. */
static const nc_fp4__element nc_fp4__e2m1 = {
    NC_FP4__E2M1_VALUES,
    6.0f,
    8,
    7,
    1,
    {0, 1, 2, 3, 4, 5, 6, 7},
    {0.25f, 0.74999994f, 1.25f, 1.7499999f, 2.5f, 3.4999998f, 5.0f}};

/* Ties to the lower code. */
static const nc_fp4__element nc_fp4__nf4 = {
    NC_FP4__NF4_VALUES,
    1.0f,
    16,
    7,
    0,
    {0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15},
    {-0.84809643f, -0.610632956f, -0.45999527f, -0.33967945f, -0.234607413f, -0.137911737f,
     -0.0455250181f, 0.0397901498f, 0.120255247f, 0.203521252f, 0.292013764f, 0.389312536f,
     0.501663387f, 0.64278692f, 0.861478388f}};

/* In bitsandbytes' order of codes; ties to the smaller magnitude. */
static const nc_fp4__element nc_fp4__bnb = {NC_FP4__BNB_VALUES,
                                            1.0f,
                                            8,
                                            0,
                                            0,
                                            {0, 1, 6, 7, 4, 5, 2, 3},
                                            {0.00260416674f, 0.0859375f, 0.208333328f, 0.291666657f,
                                             0.416666657f, 0.583333313f, 0.833333313f}};

/* How the scale of a block is stored. */
enum {
    NC_FP4__UNSCALED,
    NC_FP4__E8M0,   /* a power of two */
    NC_FP4__E4M3,   /* times the tensor's float32 scale */
    NC_FP4__FLOAT32 /* little-endian */
};
static const struct {
    uint8_t bytes;
    char dtype[4]; /* in safetensors */
} nc_fp4__scales[] = {{0, ""}, {1, "U8"}, {1, "U8"}, {4, "F32"}};

/* The formats, in the order of nc_fp4_format. A block is a power of two from 16 to 4,096 elements;
 * 0: no scales. */
typedef struct nc_fp4__row {
    char name[16];
    const nc_fp4__element *element;
    uint16_t block;
    uint8_t scale;
} nc_fp4__row;

static const nc_fp4__row nc_fp4__formats[] = {{"e2m1", &nc_fp4__e2m1, 0, NC_FP4__UNSCALED},
                                              {"mxfp4", &nc_fp4__e2m1, 32, NC_FP4__E8M0},
                                              {"nvfp4", &nc_fp4__e2m1, 16, NC_FP4__E4M3},
                                              {"nf4", &nc_fp4__nf4, 64, NC_FP4__FLOAT32},
                                              {"fp4_bnb", &nc_fp4__bnb, 64, NC_FP4__FLOAT32}};
typedef char nc_fp4__every_format_has_a_row
    [sizeof nc_fp4__formats / sizeof *nc_fp4__formats == NC_FP4_FORMAT_COUNT ? 1 : -1];

/* Null for a format that there is not. */
static const nc_fp4__row *nc_fp4__row_of(nc_fp4_format format) {
    return (unsigned)format < NC_FP4_FORMAT_COUNT ? &nc_fp4__formats[format] : NULL;
}

NC_API const char *nc_fp4_format_name(nc_fp4_format format) {
    const nc_fp4__row *row = nc_fp4__row_of(format);
    return row ? row->name : NULL;
}

NC_API size_t nc_fp4_block(nc_fp4_format format) {
    const nc_fp4__row *row = nc_fp4__row_of(format);
    return row ? row->block : 0;
}

NC_API size_t nc_fp4_code_bytes(size_t n) { return n / 2 + n % 2; }

NC_API size_t nc_fp4_scale_bytes(nc_fp4_format format, size_t n) {
    const nc_fp4__row *row = nc_fp4__row_of(format);
    if (!row || !row->block) return 0;
    return (n / row->block + (n % row->block != 0)) * nc_fp4__scales[row->scale].bytes;
}

/* >>codes ======================================================================== */

/* The nearest code: its place among the rising ones is the number of limits below x. */
static uint8_t nc_fp4__nearest(const nc_fp4__element *element, float x) {
    const int has_sign = element->magnitudes == 8;
    const float a = has_sign && x < 0 ? -x : x;
    uint32_t at = 0, i;
    if (x != x) return element->nan;
    for (i = 0; i < 7; i++) at += a > element->limit[i];
    if (!has_sign)
        for (; i < 15; i++) at += a > element->limit[i];
    return (uint8_t)(element->rising[at] | (has_sign ? nc_fp4__bits(x) >> 31 << 3 : 0));
}

NC_API uint8_t nc_fp4_encode(float x) { return nc_fp4__nearest(&nc_fp4__e2m1, x); }

NC_API float nc_fp4_decode(uint8_t code) { return nc_fp4__e2m1.value[code & 15]; }

/* Twice the value of an E2M1 code: an integer. */
static int nc_fp4__doubled(uint8_t code) {
    static const int8_t twice[16] = {0, 1, 2, 3, 4, 6, 8, 12, 0, -1, -2, -3, -4, -6, -8, -12};
    return twice[code & 15];
}

NC_API uint8_t nc_fp4_encode_stochastic(float x, uint32_t random) {
    uint8_t sign = (uint8_t)(nc_fp4__bits(x) >> 31 << 3), low = 0;
    float a = x < 0 ? -x : x, below, above;
    if (x != x) return 7;
    if (a >= 6.0f) return (uint8_t)(sign | 7);
    while (nc_fp4_decode((uint8_t)(low + 1)) <= a) low++;
    below = nc_fp4_decode(low);
    above = nc_fp4_decode((uint8_t)(low + 1));
    /* differences of near floats are exact, and the products are too */
    if ((double)(a - below) * 4294967296.0 > (double)random * (double)(above - below)) low++;
    return (uint8_t)(sign | low);
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

NC_API float nc_fp4_e8m0_decode(uint8_t code) {
    if (code == 255) return nc_fp4__float(UINT32_C(0x7FC00000));
    return nc_fp4__float(code ? (uint32_t)code << 23 : UINT32_C(0x00400000));
}

NC_API uint8_t nc_fp4_nf4_encode(float x) { return nc_fp4__nearest(&nc_fp4__nf4, x); }

NC_API float nc_fp4_nf4_decode(uint8_t code) { return nc_fp4__nf4.value[code & 15]; }

NC_API uint8_t nc_fp4_bnb_encode(float x) { return nc_fp4__nearest(&nc_fp4__bnb, x); }

NC_API float nc_fp4_bnb_decode(uint8_t code) { return nc_fp4__bnb.value[code & 15]; }

/* Code i of packed ones. */
static uint32_t nc_fp4__code_at(const uint8_t *codes, size_t i) {
    return codes[i / 2] >> (i % 2 * 4) & 15u;
}

/* >>blocks ======================================================================= */

/* -- scales ----------------------------------------------------------------------------- */

/* Bits of the largest |x| of n values: magnitudes order like their bits. 0x7F800000 and more: one
 * is infinite or NaN. */
static uint32_t nc_fp4__most(const float *x, size_t n) {
    uint32_t most = 0;
    size_t i;
    for (i = 0; i < n; i++) {
        uint32_t a = nc_fp4__bits(x[i]) & UINT32_C(0x7FFFFFFF);
        most = a > most ? a : most;
    }
    return most;
}

/* E8M0 code for a block of this absmax: OCP Microscaling Formats 1.0, 6.3, divides the power of two
 * in it by the one in the element's largest value. */
static uint8_t nc_fp4__e8m0_scale(const nc_fp4__element *element, nc_fp4_scale_rule rule,
                                  float absmax) {
    const uint32_t largest = nc_fp4__bits(element->largest), mantissa = UINT32_C(0x7FFFFF);
    uint32_t u = nc_fp4__bits(absmax), emax = (largest >> 23) - 127;
    if (absmax != absmax) return 255;
    if (rule == NC_FP4_SCALE_CEIL) /* one more where `largest` times the floor scale is too small */
        u += (u & mantissa) > (largest & mantissa) ? 0x800000 : 0;
    if (rule == NC_FP4_SCALE_CEIL_POWER) /* up to a power of two */
        u += mantissa;
    if (rule == NC_FP4_SCALE_EVEN) /* keep one bit of the mantissa */
        u += 0x1FFFFF + (u >> 22 & 1);
    u >>= 23; /* floor(log2) + 127, 255 above the largest float32; subnormals: 0 */
    return (uint8_t)(u > emax ? u - emax : 0);
}

/* Scale of one block: its stored form goes to out, its value (0 for a block of zeros) comes back.
 * absmax NaN: so is the scale. */
static float nc_fp4__block_scale(const nc_fp4__row *row, nc_fp4_scale_rule rule, float absmax,
                                 float tensor_scale, uint8_t *out) {
    const float largest = row->element->largest;
    float scale;
    switch (row->scale) {
    case NC_FP4__E8M0:
        *out = nc_fp4__e8m0_scale(row->element, rule, absmax);
        return nc_fp4_e8m0_decode(*out);
    case NC_FP4__E4M3:
        *out = nc_fp4_e4m3_encode(tensor_scale > 0 ? absmax / (largest * tensor_scale) : absmax);
        return nc_fp4_e4m3_decode(*out) * tensor_scale;
    default:
        scale = absmax / largest;
        nc__put_le(out, nc_fp4__bits(scale), 4);
        return scale;
    }
}

/* Value of a stored scale. */
static float nc_fp4__read_scale(const nc_fp4__row *row, const uint8_t *scales, size_t block,
                                float tensor_scale) {
    switch (row->scale) {
    case NC_FP4__UNSCALED: return 1.0f;
    case NC_FP4__E8M0: return nc_fp4_e8m0_decode(scales[block]);
    case NC_FP4__E4M3: return nc_fp4_e4m3_decode(scales[block]) * tensor_scale;
    default: return nc_fp4__float((uint32_t)nc__get_le(scales + 4 * block, 4));
    }
}

/* -- eight lanes -------------------------------------------------------------------------- */

/* The values of the sixteen codes as tables of bytes: byte[k] holds byte k of their float32, the
 * lowest first. */
typedef struct nc_fp4__planes {
    uint8_t byte[4][16];
    int halves; /* bytes 0 and 1 are 0: sixteen bits hold the values */
} nc_fp4__planes;

static void nc_fp4__planes_of(const nc_fp4__element *element, nc_fp4__planes *p) {
    uint32_t i, k, low = 0;
    for (i = 0; i < 16; i++) {
        const uint32_t u = nc_fp4__bits(element->value[i]);
        for (k = 0; k < 4; k++) p->byte[k][i] = (uint8_t)(u >> (8 * k));
        low |= u & 0xFFFF;
    }
    p->halves = low == 0;
}

#ifdef NC_FP4__LANES8
/* 1 / scale where that is exact and no subnormal: for powers of two; else 0. */
static float nc_fp4__inverse(float scale) {
    const uint32_t u = nc_fp4__bits(scale);
    return u & 0x7FFFFF || u > UINT32_C(0x7E000000) ? 0 : nc_fp4__float(UINT32_C(0x7F000000) - u);
}

/* Eight scales of one byte. */
NC_FP4__INLINE8 nc_fp4__f8 nc_fp4__byte_scales8(const nc_fp4__row *row, float tensor_scale,
                                                const uint8_t *scales) {
    const nc_fp4__v8 code = nc_fp4__bytes8(scales);
    const nc_fp4__v8 u = nc_fp4__and8(code, nc_fp4__set8(127));
    nc_fp4__f8 value;
    if (row->scale == NC_FP4__E8M0) { /* the exponent; 0 is 2^-127, 255 NaN: both have this bit */
        const nc_fp4__v8 ends = nc_fp4__or8(nc_fp4__equal8(code, nc_fp4__set8(0)),
                                            nc_fp4__equal8(code, nc_fp4__set8(255)));
        return nc_fp4__as_float8(
            nc_fp4__or8(nc_fp4__left8(code, 23), nc_fp4__and8(ends, nc_fp4__set8(0x00400000))));
    }
    /* E4M3 as a float32 of exponent 2^-120 too small, subnormals included */
    value = nc_fp4__as_float8(nc_fp4__or8(
        nc_fp4__left8(u, 20), nc_fp4__left8(nc_fp4__and8(code, nc_fp4__set8(128)), 24)));
    value = nc_fp4__mulf8(value, nc_fp4__setf8(1.329227996e36f));
    value = nc_fp4__mulf8(value, nc_fp4__setf8(tensor_scale));
    return nc_fp4__as_float8(nc_fp4__select8(nc_fp4__equal8(u, nc_fp4__set8(127)),
                                             nc_fp4__set8(0x7FC00000), nc_fp4__as_bits8(value)));
}

/* Columns whose scales are decoded at a time, of several rows and of one: 64 and 256 at most. */
enum { NC_FP4__SOME = 1024, NC_FP4__MANY = 4096 };

/* log2 of the columns that share a scale, all of them where there is none. */
static uint32_t nc_fp4__shift(const nc_fp4__row *row) {
    uint32_t shift = 0;
    while (1u << shift < (row->block ? (uint32_t)row->block : (uint32_t)NC_FP4__MANY)) shift++;
    return shift;
}

/* The scales of `count` blocks, from block `first` on. */
NC_FP4__TARGET8 static void nc_fp4__scales8(const nc_fp4__row *row, const uint8_t *scales,
                                            float tensor_scale, size_t first, size_t count,
                                            float *out) {
    size_t i = 0;
    if (row->scale == NC_FP4__FLOAT32) { /* these processors are little-endian */
        memcpy(out, scales + 4 * first, count * sizeof *out);
        return;
    }
    if (row->scale != NC_FP4__UNSCALED)
        for (; i + 8 <= count; i += 8)
            nc_fp4__storef8(out + i, nc_fp4__byte_scales8(row, tensor_scale, scales + first + i));
    for (; i < count; i++) out[i] = nc_fp4__read_scale(row, scales, first + i, tensor_scale);
}

/* Values of 32 codes: four bytes of index i, in each half, make the floats of vector i. */
NC_FP4__INLINE8 void nc_fp4__decode8(int halves, const nc_fp4__v8 plane[4], nc_fp4__v8 index,
                                     nc_fp4__f8 value[4]) {
    const nc_fp4__v8 b2 = nc_fp4__lookup8(plane[2], index), b3 = nc_fp4__lookup8(plane[3], index);
    const nc_fp4__v8 high = nc_fp4__low_bytes8(b2, b3), higher = nc_fp4__high_bytes8(b2, b3);
    nc_fp4__v8 low = nc_fp4__set8(0), lower = low;
    if (!halves) {
        const nc_fp4__v8 b0 = nc_fp4__lookup8(plane[0], index);
        const nc_fp4__v8 b1 = nc_fp4__lookup8(plane[1], index);
        low = nc_fp4__low_bytes8(b0, b1);
        lower = nc_fp4__high_bytes8(b0, b1);
    }
    value[0] = nc_fp4__as_float8(nc_fp4__low_halves8(low, high));
    value[1] = nc_fp4__as_float8(nc_fp4__high_halves8(low, high));
    value[2] = nc_fp4__as_float8(nc_fp4__low_halves8(lower, higher));
    value[3] = nc_fp4__as_float8(nc_fp4__high_halves8(lower, higher));
}

/* Bits of the largest magnitude of n values, a multiple of 8. */
NC_FP4__TARGET8 static uint32_t nc_fp4__most8(const float *x, size_t n) {
    nc_fp4__v8 most = nc_fp4__set8(0);
    uint32_t lane[8];
    size_t i;
    for (i = 0; i < n; i += 8)
        most = nc_fp4__max8(most, nc_fp4__and8(nc_fp4__load8(x + i), nc_fp4__set8(0x7FFFFFFF)));
    nc_fp4__store8(lane, most);
    for (i = 1; i < 8; i++) lane[0] = lane[i] > lane[0] ? lane[i] : lane[0];
    return lane[0];
}

/* Lane i: the same of block i, of up to eight; blocks that are not there repeat the first. */
NC_FP4__INLINE8 nc_fp4__v8 nc_fp4__mosts8(const float *x, size_t blocks, size_t block) {
    const nc_fp4__v8 magnitude = nc_fp4__set8(0x7FFFFFFF);
    nc_fp4__v8 v[8], u[4];
    size_t i, k;
    for (i = 0; i < 8; i++) {
        const float *from = x + (i < blocks ? i : 0) * block;
        v[i] = nc_fp4__and8(nc_fp4__load8(from), magnitude);
        for (k = 8; k < block; k += 8)
            v[i] = nc_fp4__max8(v[i], nc_fp4__and8(nc_fp4__load8(from + k), magnitude));
    }
    for (i = 0; i < 4; i++)
        u[i] = nc_fp4__max8(nc_fp4__low_words8(v[2 * i], v[2 * i + 1]),
                            nc_fp4__high_words8(v[2 * i], v[2 * i + 1]));
    for (i = 0; i < 2; i++)
        v[i] = nc_fp4__max8(nc_fp4__low_doubles8(u[2 * i], u[2 * i + 1]),
                            nc_fp4__high_doubles8(u[2 * i], u[2 * i + 1]));
    return nc_fp4__max8(nc_fp4__join_low8(v[0], v[1]), nc_fp4__join_high8(v[0], v[1]));
}

/* E2M1 without a search: from 1 on the code is exponent and one bit of the mantissa, rounded to
 * even; below it counts halves, rounded by adding 2^22. u: the magnitude of x. */
NC_FP4__INLINE8 nc_fp4__v8 nc_fp4__e2m1_8(nc_fp4__v8 u) {
    const nc_fp4__v8 small = nc_fp4__and8(
        nc_fp4__as_bits8(nc_fp4__addf8(nc_fp4__as_float8(u), nc_fp4__setf8(4194304.0f))),
        nc_fp4__set8(7));
    nc_fp4__v8 code = nc_fp4__and8(nc_fp4__right8(u, 22), nc_fp4__set8(1));
    code = nc_fp4__add8(nc_fp4__add8(u, nc_fp4__set8(0x1FFFFF)), code);
    code = nc_fp4__sub8(nc_fp4__right8(code, 22), nc_fp4__set8(252));
    code = nc_fp4__select8(nc_fp4__above8(u, nc_fp4__set8(0x3F7FFFFF)), code, small);
    return nc_fp4__min8(code, nc_fp4__set8(7));
}

typedef enum nc_fp4__search {
    NC_FP4__E2M1_CODES,
    NC_FP4__E2M1_OR_NAN,
    NC_FP4__MAGNITUDES, /* of eight magnitudes, with a sign */
    NC_FP4__VALUES      /* of sixteen values */
} nc_fp4__search;

/* Where halving finds the number of limits below a value: at step s of `steps` it asks for limit
 * at[s][i], where i is the number found so far, in binary. */
typedef struct nc_fp4__halving {
    float at[4][8];
} nc_fp4__halving;

static void nc_fp4__halving_of(const nc_fp4__element *element, nc_fp4__halving *h) {
    const uint32_t steps = element->magnitudes == 8 ? 3 : 4;
    uint32_t s, i;
    for (s = 0; s < steps; s++)
        for (i = 0; i < 8; i++) {
            const uint32_t limit = (2 * i + 1) << (steps - 1 - s);
            h->at[s][i] = limit <= element->magnitudes - 1u ? element->limit[limit - 1] : 0;
        }
}

/* Codes of eight values, as nc_fp4__nearest. */
NC_FP4__INLINE8 nc_fp4__v8 nc_fp4__nearest8(nc_fp4__search search, nc_fp4__f8 x,
                                            const nc_fp4__f8 at[4], nc_fp4__v8 rising) {
    const nc_fp4__v8 bits = nc_fp4__as_bits8(x);
    const nc_fp4__v8 u = nc_fp4__and8(bits, nc_fp4__set8(0x7FFFFFFF));
    const nc_fp4__v8 sign = nc_fp4__and8(nc_fp4__right8(bits, 28), nc_fp4__set8(8));
    nc_fp4__v8 code;
    int s;
    if (search == NC_FP4__E2M1_CODES) return nc_fp4__or8(nc_fp4__e2m1_8(u), sign);
    if (search == NC_FP4__E2M1_OR_NAN) {
        const nc_fp4__v8 nan = nc_fp4__above8(u, nc_fp4__set8(0x7F800000));
        code = nc_fp4__or8(nc_fp4__e2m1_8(u), sign);
        return nc_fp4__select8(nan, nc_fp4__set8(7), code);
    }
    if (search == NC_FP4__MAGNITUDES) x = nc_fp4__as_float8(u);
    code = nc_fp4__right8(nc_fp4__abovef8(x, at[0]), 31);
    for (s = 1; s < (search == NC_FP4__MAGNITUDES ? 3 : 4); s++) /* a mask is -1 */
        code = nc_fp4__sub8(nc_fp4__add8(code, code),
                            nc_fp4__abovef8(x, nc_fp4__choose8(at[s], code)));
    code = nc_fp4__and8(nc_fp4__lookup8(rising, code), nc_fp4__set8(15));
    return search == NC_FP4__MAGNITUDES ? nc_fp4__or8(code, sign) : code;
}

enum { NC_FP4__ONE_SCALE = 8 * sizeof(size_t) - 1 };

/* Codes of n values (a multiple of 16) over scales that are positive and finite, or with `times`
 * multiplied by them; 16 << shift values share one, all under NC_FP4__ONE_SCALE. */
NC_FP4__INLINE8 void nc_fp4__codes_by8(nc_fp4__search search, const nc_fp4__element *element,
                                       int times, const float *x, size_t n, uint32_t shift,
                                       const float *scale, uint8_t *codes) {
    const nc_fp4__v8 rising = nc_fp4__twice8(element->rising);
    nc_fp4__halving halving;
    nc_fp4__f8 at[4];
    size_t i;
    for (i = 0; i < 4; i++) at[i] = nc_fp4__setf8(0);
    if (search == NC_FP4__MAGNITUDES || search == NC_FP4__VALUES) {
        nc_fp4__halving_of(element, &halving);
        at[0] = nc_fp4__setf8(halving.at[0][0]);
        for (i = 1; i < 4; i++) at[i] = nc_fp4__loadf8(halving.at[i]);
    }
    for (i = 0; i < n / 16; i++) {
        const nc_fp4__f8 by = nc_fp4__setf8(scale[i >> shift]);
        nc_fp4__f8 low = nc_fp4__loadf8(x + 16 * i), high = nc_fp4__loadf8(x + 16 * i + 8);
        if (times) {
            low = nc_fp4__mulf8(low, by);
            high = nc_fp4__mulf8(high, by);
        } else {
            low = nc_fp4__divf8(low, by);
            high = nc_fp4__divf8(high, by);
        }
        nc_fp4__store_codes8(codes + 8 * i, nc_fp4__nearest8(search, low, at, rising),
                             nc_fp4__nearest8(search, high, at, rising));
    }
}

/* `times` is for E2M1 only. NaN may come under one scale for all: blocks with a scale hold none. */
NC_FP4__TARGET8 static void nc_fp4__codes8(const nc_fp4__element *element, int times,
                                           const float *x, size_t n, uint32_t shift,
                                           const float *scale, uint8_t *codes) {
    if (element == &nc_fp4__e2m1 && shift == NC_FP4__ONE_SCALE)
        nc_fp4__codes_by8(NC_FP4__E2M1_OR_NAN, element, times, x, n, shift, scale, codes);
    else if (element == &nc_fp4__e2m1)
        nc_fp4__codes_by8(NC_FP4__E2M1_CODES, element, times, x, n, shift, scale, codes);
    else if (element->magnitudes == 8)
        nc_fp4__codes_by8(NC_FP4__MAGNITUDES, element, 0, x, n, shift, scale, codes);
    else
        nc_fp4__codes_by8(NC_FP4__VALUES, element, 0, x, n, shift, scale, codes);
}

/* Is the way of 512 bits the faster one? Not where values are searched for by tables. */
static NC_UNUSED int nc_fp4__fits512(const nc_fp4__row *row) {
    return row->element == &nc_fp4__e2m1 && nc_fp4__scales[row->scale].bytes == 1;
}

/* Up to eight whole blocks under the rule of absmax (floor for E8M0): all magnitudes, all scales,
 * all codes. Returns 0 when a block is 0 or not finite: then they go one by one. */
NC_FP4__TARGET8 static int nc_fp4__quantize8(const nc_fp4__row *row, const float *x, size_t blocks,
                                             float tensor_scale, uint8_t *codes, uint8_t *scales) {
    const float largest = row->element->largest;
    const int times = row->scale == NC_FP4__E8M0 && row->element == &nc_fp4__e2m1;
    const nc_fp4__v8 u = nc_fp4__mosts8(x, blocks, row->block);
    uint32_t shift = 0, stored[8];
    nc_fp4__f8 value = nc_fp4__as_float8(u);
    nc_fp4__v8 code;
    float scale[8];
    size_t i;
    if (nc_fp4__any8(nc_fp4__or8(nc_fp4__above8(u, nc_fp4__set8(0x7F7FFFFF)),
                                 nc_fp4__above8(nc_fp4__set8(0x02000000), u))))
        return 0; /* tiny ones too: their scales are subnormal */
    if (row->scale == NC_FP4__E8M0) {
        code =
            nc_fp4__sub8(nc_fp4__right8(u, 23), nc_fp4__set8((nc_fp4__bits(largest) >> 23) - 127));
        value = nc_fp4__as_float8(nc_fp4__left8(code, 23));
    } else if (row->scale == NC_FP4__E4M3) {
        /* as nc_fp4_e4m3_encode, for values that are not subnormal there: at least 2^-6 */
        const nc_fp4__v8 r =
            nc_fp4__as_bits8(nc_fp4__divf8(value, nc_fp4__setf8(largest * tensor_scale)));
        if (nc_fp4__any8(nc_fp4__above8(nc_fp4__set8(0x3C800000), r))) return 0;
        code = nc_fp4__and8(nc_fp4__right8(r, 20), nc_fp4__set8(1));
        code = nc_fp4__add8(nc_fp4__add8(r, nc_fp4__set8(0x7FFFF)), code);
        code = nc_fp4__sub8(nc_fp4__right8(code, 20), nc_fp4__set8(120 << 3));
        code = nc_fp4__min8(code, nc_fp4__set8(0x7E));
        value = nc_fp4__as_float8(nc_fp4__add8(nc_fp4__left8(code, 20), nc_fp4__set8(120u << 23)));
        value = nc_fp4__mulf8(value, nc_fp4__setf8(tensor_scale));
    } else {
        value = nc_fp4__divf8(value, nc_fp4__setf8(largest));
        code = nc_fp4__as_bits8(value);
    }
    nc_fp4__store8(stored, code);
    if (row->scale == NC_FP4__FLOAT32) memcpy(scales, stored, 4 * blocks);
    for (i = 0; row->scale != NC_FP4__FLOAT32 && i < blocks; i++) scales[i] = (uint8_t)stored[i];
    if (times) /* codes 2 to 252: the inverses are exact */
        value = nc_fp4__as_float8(nc_fp4__sub8(nc_fp4__set8(0x7F000000), nc_fp4__as_bits8(value)));
    nc_fp4__storef8(scale, value);
    while (16u << shift < row->block) shift++;
    nc_fp4__codes8(row->element, times, x, blocks * row->block, shift, scale, codes);
    return 1;
}

/* Values of 32 codes, times those of eight lanes. */
NC_FP4__INLINE8 void nc_fp4__values_of_32(int halves, const nc_fp4__v8 plane[4],
                                          const uint8_t *codes, nc_fp4__f8 by, float *x) {
    nc_fp4__f8 value[4];
    nc_fp4__v8 a, b, c, d;
    nc_fp4__decode8(halves, plane, nc_fp4__in_order8(codes), value);
    a = nc_fp4__as_bits8(nc_fp4__mulf8(value[0], by));
    b = nc_fp4__as_bits8(nc_fp4__mulf8(value[1], by));
    c = nc_fp4__as_bits8(nc_fp4__mulf8(value[2], by));
    d = nc_fp4__as_bits8(nc_fp4__mulf8(value[3], by));
    nc_fp4__store8(x, nc_fp4__join_low8(a, b));
    nc_fp4__store8(x + 8, nc_fp4__join_low8(c, d));
    nc_fp4__store8(x + 16, nc_fp4__join_high8(a, b));
    nc_fp4__store8(x + 24, nc_fp4__join_high8(c, d));
}

/* The same of n codes with one scale; n is a multiple of 32. */
NC_FP4__TARGET8 static void nc_fp4__scaled8(const nc_fp4__planes *planes, const uint8_t *codes,
                                            size_t n, float scale, float *x) {
    const nc_fp4__f8 by = nc_fp4__setf8(scale);
    nc_fp4__v8 plane[4];
    size_t c;
    plane[0] = nc_fp4__twice8(planes->byte[0]);
    plane[1] = nc_fp4__twice8(planes->byte[1]);
    plane[2] = nc_fp4__twice8(planes->byte[2]);
    plane[3] = nc_fp4__twice8(planes->byte[3]);
    for (c = 0; c < n; c += 32) nc_fp4__values_of_32(0, plane, codes + c / 2, by, x + c);
}

/* Values of whole groups of 32 codes; returns how many. */
NC_FP4__INLINE8 size_t nc_fp4__values_by8(int halves, const nc_fp4__row *row,
                                          const nc_fp4__planes *planes, const uint8_t *codes,
                                          const uint8_t *scales, float tensor_scale, size_t n,
                                          float *x) {
    const size_t end = n / 32 * 32;
    const uint32_t shift = nc_fp4__shift(row);
    float scale[257];
    nc_fp4__v8 plane[4];
    size_t c, first, k;
    for (k = 0; k < 4; k++) plane[k] = nc_fp4__twice8(planes->byte[k]);
    scale[0] = 1.0f;
    for (first = 0; first < end; first += NC_FP4__MANY) {
        const size_t past = end - first < NC_FP4__MANY ? end : first + NC_FP4__MANY;
        if (row->block)
            nc_fp4__scales8(row, scales, tensor_scale, first >> shift,
                            ((past - first - 1) >> shift) + 1, scale);
        for (c = first; c < past; c += 32) {
            const size_t at = (c - first) >> shift;
            const nc_fp4__v8 s = nc_fp4__as_bits8(nc_fp4__setf8(scale[at]));
            const nc_fp4__v8 t =
                nc_fp4__as_bits8(nc_fp4__setf8(scale[row->block == 16 ? at + 1 : at]));
            nc_fp4__values_of_32(halves, plane, codes + c / 2,
                                 nc_fp4__as_float8(nc_fp4__join_low8(s, t)), x + c);
        }
    }
    return end;
}

NC_FP4__TARGET8 static size_t nc_fp4__values8(const nc_fp4__row *row, const uint8_t *codes,
                                              const uint8_t *scales, float tensor_scale, size_t n,
                                              float *x) {
    nc_fp4__planes planes;
    nc_fp4__planes_of(row->element, &planes);
    return planes.halves ? nc_fp4__values_by8(1, row, &planes, codes, scales, tensor_scale, n, x)
                         : nc_fp4__values_by8(0, row, &planes, codes, scales, tensor_scale, n, x);
}
#endif

/* -- AVX-512 ----------------------------------------------------------------------------- */

#ifdef NC_FP4__X86
/* Bits of the largest magnitude of n values, a multiple of 16. */
NC_FP4__TARGET512 static uint32_t nc_fp4__most512(const float *x, size_t n) {
    __m512i most = _mm512_setzero_si512();
    size_t i;
    for (i = 0; i < n; i += 16)
        most = _mm512_max_epu32(
            most, _mm512_and_si512(_mm512_loadu_si512(x + i), _mm512_set1_epi32(0x7FFFFFFF)));
    return _mm512_reduce_max_epu32(most);
}

/* nc_fp4__e2m1_8 for sixteen values, signs and NaN included. */
NC_FP4__INLINE512 __m512i nc_fp4__e2m1_512(__m512 x) {
    const __m512i u = _mm512_and_si512(_mm512_castps_si512(x), _mm512_set1_epi32(0x7FFFFFFF));
    const __m512i sign =
        _mm512_and_si512(_mm512_srli_epi32(_mm512_castps_si512(x), 28), _mm512_set1_epi32(8));
    __m512i code = _mm512_add_epi32(
        u, _mm512_add_epi32(_mm512_set1_epi32(0x1FFFFF),
                            _mm512_and_si512(_mm512_srli_epi32(u, 22), _mm512_set1_epi32(1))));
    const __m512i small = _mm512_and_si512(
        _mm512_castps_si512(_mm512_add_ps(_mm512_castsi512_ps(u), _mm512_set1_ps(4194304.0f))),
        _mm512_set1_epi32(7));
    code = _mm512_sub_epi32(_mm512_srli_epi32(code, 22), _mm512_set1_epi32(252));
    code = _mm512_min_epi32(code, _mm512_set1_epi32(7));
    code = _mm512_mask_mov_epi32(code, _mm512_cmplt_epi32_mask(u, _mm512_set1_epi32(0x3F800000)),
                                 small);
    return _mm512_mask_mov_epi32(_mm512_or_si512(code, sign),
                                 _mm512_cmp_ps_mask(x, x, _CMP_UNORD_Q), _mm512_set1_epi32(7));
}

/* Codes of n values (a multiple of 16) of E2M1, as those of nc_fp4__codes8. */
NC_FP4__INLINE512 void nc_fp4__codes_by512(int times, const float *x, size_t n, uint32_t shift,
                                           const float *scale, uint8_t *codes) {
    size_t i;
    for (i = 0; i < n / 16; i++) {
        const __m512 v = _mm512_loadu_ps(x + 16 * i), by = _mm512_set1_ps(scale[i >> shift]);
        __m512i code = nc_fp4__e2m1_512(times ? _mm512_mul_ps(v, by) : _mm512_div_ps(v, by));
        code = _mm512_or_si512(code, _mm512_srli_epi64(code, 28)); /* pairs to bytes */
        _mm_storel_epi64((__m128i *)(void *)(codes + 8 * i), _mm512_cvtepi64_epi8(code));
    }
}

NC_FP4__TARGET512 static void nc_fp4__codes512(int times, const float *x, size_t n, uint32_t shift,
                                               const float *scale, uint8_t *codes) {
    if (times)
        nc_fp4__codes_by512(1, x, n, shift, scale, codes);
    else
        nc_fp4__codes_by512(0, x, n, shift, scale, codes);
}

/* n (a multiple of 16) values of packed codes, times scale. */
NC_FP4__TARGET512 static void nc_fp4__values512(const float *table, const uint8_t *codes, size_t n,
                                                float scale, float *x) {
    const __m512i shift =
        _mm512_set_epi32(28, 24, 20, 16, 12, 8, 4, 0, 28, 24, 20, 16, 12, 8, 4, 0);
    const __m512i half = _mm512_set_epi32(1, 1, 1, 1, 1, 1, 1, 1, 0, 0, 0, 0, 0, 0, 0, 0);
    const __m512 scaled = _mm512_mul_ps(_mm512_loadu_ps(table), _mm512_set1_ps(scale));
    size_t i;
    for (i = 0; i < n; i += 16) {
        __m128i two = _mm_loadl_epi64((const __m128i *)(const void *)(codes + i / 2));
        __m512i v = _mm512_permutexvar_epi32(half, _mm512_castsi128_si512(two));
        _mm512_storeu_ps(x + i, _mm512_permutexvar_ps(_mm512_srlv_epi32(v, shift), scaled));
    }
}

/* Lane i: the bits of the largest magnitude of block i, of up to sixteen. Their vectors are folded
 * together: pairs of words, of halves of a lane, of lanes. */
NC_FP4__TARGET512 static __m512i nc_fp4__mosts512(const float *x, size_t blocks, size_t block) {
    const __m512i magnitude = _mm512_set1_epi32(0x7FFFFFFF);
    __m512i v[16];
    size_t i, k;
    for (i = 0; i < 16; i++) {
        v[i] = _mm512_setzero_si512();
        for (k = 0; i < blocks && k < block; k += 16, x += 16)
            v[i] = _mm512_max_epu32(v[i], _mm512_and_si512(_mm512_loadu_si512(x), magnitude));
    }
#if !defined(__clang__)
#pragma GCC unroll 8
#endif
    for (i = 0; i < 8; i++)
        v[i] = _mm512_max_epu32(_mm512_unpacklo_epi32(v[2 * i], v[2 * i + 1]),
                                _mm512_unpackhi_epi32(v[2 * i], v[2 * i + 1]));
#if !defined(__clang__)
#pragma GCC unroll 8
#endif
    for (i = 0; i < 4; i++)
        v[i] = _mm512_max_epu32(_mm512_unpacklo_epi64(v[2 * i], v[2 * i + 1]),
                                _mm512_unpackhi_epi64(v[2 * i], v[2 * i + 1]));
#if !defined(__clang__)
#pragma GCC unroll 8
#endif
    for (i = 0; i < 2; i++)
        v[i] = _mm512_max_epu32(_mm512_shuffle_i64x2(v[2 * i], v[2 * i + 1], 0x44),
                                _mm512_shuffle_i64x2(v[2 * i], v[2 * i + 1], 0xEE));
    return _mm512_max_epu32(_mm512_shuffle_i64x2(v[0], v[1], 0x88),
                            _mm512_shuffle_i64x2(v[0], v[1], 0xDD));
}

/* nc_fp4__quantize8 for up to sixteen blocks of E2M1, under scales of one byte. */
NC_FP4__TARGET512 static int nc_fp4__quantize512(const nc_fp4__row *row, const float *x,
                                                 size_t blocks, float tensor_scale, uint8_t *codes,
                                                 uint8_t *scales) {
    const __mmask16 there = (__mmask16)((1u << blocks) - 1);
    const float largest = row->element->largest;
    const int times = row->scale == NC_FP4__E8M0;
    float scale[16];
    const __m512i u = nc_fp4__mosts512(x, blocks, row->block);
    __m512i code;
    __m512 value;
    uint32_t shift = 0;
    if (_mm512_mask_cmpge_epu32_mask(there, u, _mm512_set1_epi32(0x7F800000)) ||
        _mm512_mask_cmplt_epu32_mask(there, u, _mm512_set1_epi32(0x02000000)))
        return 0; /* tiny ones too: their scales are subnormal */
    value = _mm512_castsi512_ps(u);
    if (row->scale == NC_FP4__E8M0) {
        code = _mm512_set1_epi32((int)(nc_fp4__bits(largest) >> 23) - 127);
        code = _mm512_sub_epi32(_mm512_srli_epi32(u, 23), code);
        value = _mm512_castsi512_ps(_mm512_slli_epi32(code, 23));
        _mm512_mask_cvtepi32_storeu_epi8(scales, there, code);
    } else {
        /* as nc_fp4_e4m3_encode, for values that are not subnormal there: at least 2^-6 */
        const __m512 ratio = _mm512_div_ps(value, _mm512_set1_ps(largest * tensor_scale));
        const __m512i r = _mm512_castps_si512(ratio);
        if (_mm512_mask_cmplt_epu32_mask(there, r, _mm512_set1_epi32(0x3C800000))) return 0;
        code = _mm512_add_epi32(_mm512_add_epi32(r, _mm512_set1_epi32(0x7FFFF)),
                                _mm512_and_si512(_mm512_srli_epi32(r, 20), _mm512_set1_epi32(1)));
        code = _mm512_sub_epi32(_mm512_srli_epi32(code, 20), _mm512_set1_epi32(120 << 3));
        code = _mm512_min_epu32(code, _mm512_set1_epi32(0x7E));
        value = _mm512_castsi512_ps(
            _mm512_add_epi32(_mm512_slli_epi32(code, 20), _mm512_set1_epi32(120 << 23)));
        value = _mm512_mul_ps(value, _mm512_set1_ps(tensor_scale));
        _mm512_mask_cvtepi32_storeu_epi8(scales, there, code);
    }
    if (times) /* codes 2 to 252: the inverses are exact */
        value = _mm512_castsi512_ps(
            _mm512_sub_epi32(_mm512_set1_epi32(0x7F000000), _mm512_castps_si512(value)));
    _mm512_storeu_ps(scale, value);
    while (16u << shift < row->block) shift++;
    nc_fp4__codes512(times, x, blocks * row->block, shift, scale, codes);
    return 1;
}
#endif

/* -- quantising ----------------------------------------------------------------------------- */

/* nc_fp4__most by what the processor has. */
static uint32_t nc_fp4__absmax_bits(const float *x, size_t n) {
#ifdef NC_FP4__X86
    if (nc_fp4__lanes() == 16 && n % 16 == 0) return nc_fp4__most512(x, n);
#endif
#ifdef NC_FP4__LANES8
    if (nc_fp4__lanes() == 8 && n % 8 == 0) return nc_fp4__most8(x, n);
#endif
    return nc_fp4__most(x, n);
}

/* The largest finite |x|. */
static float nc_fp4__finite_absmax(const float *x, size_t n) {
    const size_t most = n / 16 * 16;
    uint32_t max = nc_fp4__absmax_bits(x, most);
    size_t i = max < UINT32_C(0x7F800000) ? most : 0;
    for (max = i ? max : 0; i < n; i++) {
        const uint32_t a = nc_fp4__bits(x[i]) & UINT32_C(0x7FFFFFFF);
        max = a > max && a < UINT32_C(0x7F800000) ? a : max;
    }
    return nc_fp4__float(max);
}

/* 1: the tensor scale that quantising works with divides the scales of blocks. */
static int nc_fp4__scale_divides(const nc_fp4__row *row, const nc_fp4_options *o) {
    return row->scale == NC_FP4__E4M3 && o->convention == NC_FP4_AS_COMPRESSED_TENSORS;
}

/* absmax / (largest * 448), so that the largest block scale is about 448. Under a convention: as
 * its project stores it. */
static float nc_fp4__scale_of_absmax(const nc_fp4__row *row, const nc_fp4_options *o,
                                     float absmax) {
    const float block_most = o->rule == NC_FP4_SCALE_FOUR_SIX ? 256.0f : 448.0f;
    const float most = row->element->largest * block_most;
    float scale;
    if (o->tensor_scale > 0) return o->tensor_scale;
    if (o->convention == NC_FP4_AS_COMPRESSED_TENSORS) { /* the inverse, of a normal absmax */
        scale = 1.0f / (absmax > 1.17549435e-38f ? absmax : 1.17549435e-38f) * most;
        return scale - scale == 0 ? scale : 1.0f;
    }
    scale = absmax / most;
    if (o->convention != NC_FP4_AS_DEFINED) return scale;
    if (scale < 1.17549435e-38f && (double)scale * (double)most < (double)absmax)
        scale = nc_fp4__float(nc_fp4__bits(scale) + 1); /* no block's scale may saturate */
    return scale > 0 ? scale : 1.0f;
}

/* The same of the finite values; 1 for formats without such a scale. */
static float nc_fp4__tensor_scale(const nc_fp4__row *row, const nc_fp4_options *o, const float *x,
                                  size_t n) {
    if (row->scale != NC_FP4__E4M3) return 1.0f;
    return nc_fp4__scale_of_absmax(row, o, o->tensor_scale > 0 ? 0 : nc_fp4__finite_absmax(x, n));
}

/* Write code i into its nibble; even elements come first and clear the byte. */
static void nc_fp4__put(uint8_t *codes, size_t i, uint8_t code) {
    codes[i / 2] = (uint8_t)(i % 2 ? codes[i / 2] | (code << 4) : code);
}

/* A block under a given scale; element numbers start at `first`, for the random ones. Under a zero
 * or NaN scale every value encodes as 0. */
static void nc_fp4__encode_block(const nc_fp4__row *row, const nc_fp4_options *o, const float *x,
                                 size_t n, float scale, uint64_t first, uint8_t *codes) {
    size_t i = 0;
    if (o->stochastic && row->element == &nc_fp4__e2m1) {
        for (; i < n; i++) {
            uint32_t words[4];
            nc__philox(o->seed, first + i, 0, words);
            nc_fp4__put(codes, i, nc_fp4_encode_stochastic(scale > 0 ? x[i] / scale : 0, words[0]));
        }
        return;
    }
#ifdef NC_FP4__LANES8
    /* a block with a positive scale is finite, and E2M1 knows NaN */
    if (nc_fp4__lanes() && scale > 0 && (row->block || row->element == &nc_fp4__e2m1)) {
        const float inverse = row->element == &nc_fp4__e2m1 ? nc_fp4__inverse(scale) : 0;
        const float *by = inverse > 0 ? &inverse : &scale;
        i = n / 16 * 16;
#ifdef NC_FP4__X86
        if (nc_fp4__lanes() == 16 && row->element == &nc_fp4__e2m1)
            nc_fp4__codes512(inverse > 0, x, i, NC_FP4__ONE_SCALE, by, codes);
        else
#endif
            nc_fp4__codes8(row->element, inverse > 0, x, i, NC_FP4__ONE_SCALE, by, codes);
    }
#endif
    for (; i < n; i++)
        nc_fp4__put(codes, i, nc_fp4__nearest(row->element, scale > 0 ? x[i] / scale : 0.0f));
}

/* Squared error of a block under a scale. */
static double nc_fp4__block_error(const nc_fp4__element *element, const float *x, size_t n,
                                  float scale) {
    double sum = 0;
    size_t i;
    for (i = 0; i < n; i++) {
        float y = element->value[nc_fp4__nearest(element, x[i] / scale)] * scale;
        sum += ((double)x[i] - (double)y) * ((double)x[i] - (double)y);
    }
    return sum;
}

/* The best of several block scales: of the powers of two the one above and below, else up to a
 * quarter less than the one of absmax. */
static float nc_fp4__search_scale(const nc_fp4__row *row, const float *x, size_t n, float absmax,
                                  float tensor_scale, uint8_t *out) {
    const int power = row->scale == NC_FP4__E8M0;
    float scale = nc_fp4__block_scale(row, NC_FP4_SCALE_FLOOR, absmax, tensor_scale, out), best;
    double least, error;
    uint8_t code[4];
    int k;
    if (!(scale > 0)) return scale;
    best = scale;
    least = nc_fp4__block_error(row->element, x, n, scale);
    for (k = 1; k <= (power ? 2 : 8); k++) {
        const float factor = !power ? 1.0f - (float)k / 32.0f : k == 1 ? 2.0f : 0.5f;
        scale = nc_fp4__block_scale(row, NC_FP4_SCALE_FLOOR, absmax * factor, tensor_scale, code);
        if (!(scale > 0) || scale - scale != 0) continue;
        error = nc_fp4__block_error(row->element, x, n, scale);
        if (error >= least) continue;
        least = error;
        best = scale;
        memcpy(out, code, nc_fp4__scales[row->scale].bytes);
    }
    return best;
}

/* The scale for absmax / 6 or the one for absmax / 4, which makes 4 the largest magnitude: under it
 * the values between 4 and 6 have finer steps. */
static float nc_fp4__four_or_six(const nc_fp4__row *row, const float *x, size_t n, float absmax,
                                 float tensor_scale, uint8_t *out) {
    const float six = nc_fp4__block_scale(row, NC_FP4_SCALE_FLOOR, absmax, tensor_scale, out);
    uint8_t code;
    float four;
    if (!(six > 0)) return six;
    code = nc_fp4_e4m3_encode(absmax / (4.0f * tensor_scale));
    four = nc_fp4_e4m3_decode(code) * tensor_scale;
    if (four - four != 0 || nc_fp4__block_error(row->element, x, n, four) >=
                                nc_fp4__block_error(row->element, x, n, six))
        return six;
    *out = code;
    return four;
}

/* The scale of one block by the format's own definition: its stored form to out. */
static float nc_fp4__scale_by_rule(const nc_fp4__row *row, nc_fp4_scale_rule rule, const float *x,
                                   size_t n, float tensor_scale, uint8_t *out) {
    const uint32_t most = nc_fp4__absmax_bits(x, n);
    const float absmax = nc_fp4__float(most < UINT32_C(0x7F800000) ? most : 0x7FC00000);
    if (rule == NC_FP4_SCALE_MSE) return nc_fp4__search_scale(row, x, n, absmax, tensor_scale, out);
    if (rule == NC_FP4_SCALE_FOUR_SIX)
        return nc_fp4__four_or_six(row, x, n, absmax, tensor_scale, out);
    return nc_fp4__block_scale(row, rule, absmax, tensor_scale, out);
}

/* -- as other projects quantise ------------------------------------------------------------- */

/* What becomes of signs in E2M1. */
enum {
    NC_FP4__SIGN_KEPT,
    NC_FP4__SIGN_OF_VALUE,   /* -0 becomes 0 */
    NC_FP4__SIGN_OF_CODE,    /* and what is rounded to -0, too */
    NC_FP4__SIGN_UNLESS_MORE /* every zero becomes -0 */
};

/* How a project quantises a format; read from its sources: torchao 0.18 (prototype/mx_formats),
 * compressed-tensors 0.20 (quantization/utils), ModelOpt 0.47 (torch/quantization/qtensor),
 * bitsandbytes 0.50 (backends/default/ops.py), gguf 0.19 (quants.py). */
typedef struct nc_fp4__project {
    uint8_t convention, format;
    uint8_t rules;       /* bit r: it has rule r */
    uint8_t least, zero; /* E4M3: the least code of a block's scale; the one in place of 0 */
    uint8_t sign;
    const nc_fp4__element *element; /* whose limits its rounding has */
} nc_fp4__project;

/* E2M1, ties to the smaller magnitude. */
static const nc_fp4__element nc_fp4__e2m1_down = {NC_FP4__E2M1_VALUES,
                                                  6.0f,
                                                  8,
                                                  7,
                                                  1,
                                                  {0, 1, 2, 3, 4, 5, 6, 7},
                                                  {0.25f, 0.75f, 1.25f, 1.75f, 2.5f, 3.5f, 5.0f}};

/* NF4 with the middles as float32 sums of neighbours have them. */
static const nc_fp4__element nc_fp4__nf4_rounded = {
    NC_FP4__NF4_VALUES,
    1.0f,
    16,
    7,
    0,
    {0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15},
    {-0.848096371f, -0.610632896f, -0.45999527f, -0.33967942f, -0.234607399f, -0.137911737f,
     -0.0455250181f, 0.0397901498f, 0.120255247f, 0.203521252f, 0.292013764f, 0.389312536f,
     0.501663446f, 0.64278692f, 0.861478448f}};

/* FP4 of bitsandbytes as sixteen values, the two zeros among them. */
static const nc_fp4__element nc_fp4__bnb_rounded = {
    NC_FP4__BNB_VALUES,
    1.0f,
    16,
    0,
    0,
    {11, 10, 13, 12, 15, 14, 9, 0, 8, 1, 6, 7, 4, 5, 2, 3},
    {-0.833333373f, -0.583333373f, -0.416666687f, -0.291666687f, -0.208333343f, -0.0859375f,
     -0.00260416674f, 0.0f, 0.00260416674f, 0.0859375f, 0.208333343f, 0.291666687f, 0.416666687f,
     0.583333373f, 0.833333373f}};

static const nc_fp4__project nc_fp4__projects[] = {
    {NC_FP4_AS_TORCHAO, NC_FP4_MXFP4,
     1 << NC_FP4_SCALE_FLOOR | 1 << NC_FP4_SCALE_CEIL | 1 << NC_FP4_SCALE_EVEN |
         1 << NC_FP4_SCALE_CEIL_POWER,
     0, 0, NC_FP4__SIGN_KEPT, &nc_fp4__e2m1},
    {NC_FP4_AS_TORCHAO, NC_FP4_NVFP4, 1 << NC_FP4_SCALE_FLOOR, 0x08, 0x08, NC_FP4__SIGN_KEPT,
     &nc_fp4__e2m1},
    {NC_FP4_AS_COMPRESSED_TENSORS, NC_FP4_MXFP4, 1 << NC_FP4_SCALE_EVEN, 0, 0,
     NC_FP4__SIGN_OF_VALUE, &nc_fp4__e2m1},
    {NC_FP4_AS_COMPRESSED_TENSORS, NC_FP4_NVFP4, 1 << NC_FP4_SCALE_FLOOR, 0, 0x20,
     NC_FP4__SIGN_OF_VALUE, &nc_fp4__e2m1},
    {NC_FP4_AS_MODELOPT, NC_FP4_MXFP4, 1 << NC_FP4_SCALE_CEIL, 0, 0, NC_FP4__SIGN_UNLESS_MORE,
     &nc_fp4__e2m1_down},
    {NC_FP4_AS_MODELOPT, NC_FP4_NVFP4, 1 << NC_FP4_SCALE_FLOOR, 0x01, 0x38, NC_FP4__SIGN_OF_VALUE,
     &nc_fp4__e2m1},
    {NC_FP4_AS_BITSANDBYTES, NC_FP4_NF4, 1 << NC_FP4_SCALE_FLOOR, 0, 0, NC_FP4__SIGN_KEPT,
     &nc_fp4__nf4_rounded},
    {NC_FP4_AS_BITSANDBYTES, NC_FP4_BNB, 1 << NC_FP4_SCALE_FLOOR, 0, 0, NC_FP4__SIGN_KEPT,
     &nc_fp4__bnb_rounded},
    {NC_FP4_AS_GGML, NC_FP4_MXFP4, 1 << NC_FP4_SCALE_FLOOR, 0, 0, NC_FP4__SIGN_OF_CODE,
     &nc_fp4__e2m1_down}};

/* Null: the format's own definition, or a project that has not the format. */
static const nc_fp4__project *nc_fp4__project_of(const nc_fp4__row *row,
                                                 nc_fp4_convention convention) {
    size_t i;
    for (i = 0; i < sizeof nc_fp4__projects / sizeof *nc_fp4__projects; i++) {
        const nc_fp4__project *p = &nc_fp4__projects[i];
        const nc_fp4__row *of = &nc_fp4__formats[p->format];
        if (p->convention == convention && of->element == row->element && of->scale == row->scale)
            return p;
    }
    return NULL;
}

/* Can a format be quantised with these options? */
static nc_status nc_fp4__options_fit(const nc_fp4__row *row, const nc_fp4_options *o) {
    const nc_fp4__project *project = nc_fp4__project_of(row, o->convention);
    if ((unsigned)o->rule >= NC_FP4_SCALE_RULE_COUNT ||
        (unsigned)o->convention >= NC_FP4_CONVENTION_COUNT || !(o->tensor_scale >= 0) ||
        o->tensor_scale - o->tensor_scale != 0 ||
        (o->tensor_scale > 0 && row->scale != NC_FP4__E4M3))
        return NC_ERR_ARG;
    if (o->rule == NC_FP4_SCALE_FOUR_SIX && row->scale != NC_FP4__E4M3) return NC_ERR_UNSUPPORTED;
    if (o->convention == NC_FP4_AS_DEFINED) return NC_OK;
    return project && project->rules >> o->rule & 1 && !o->stochastic ? NC_OK : NC_ERR_UNSUPPORTED;
}

/* floor or ceiling of log2(x), x > 0, as from a logarithm rounded to float32: where x is next to a
 * power of two, that is its exponent itself. There log2(1 + d) is d / ln 2 to within d^2. */
static int nc_fp4__rounded_log2(float x, int up) {
    const double inverse_ln2 = 1.4426950408889634;
    uint32_t u = nc_fp4__bits(x);
    int k = (int)(u >> 23) - 127;
    double mantissa;
    if (k == -127) { /* subnormal: 2^24 times as large */
        u = nc_fp4__bits(x * 16777216.0f);
        k = (int)(u >> 23) - 151;
    }
    mantissa = (double)nc_fp4__float((u & 0x7FFFFF) | 0x3F800000);
    if (up) return (float)((double)k + (mantissa - 1.0) * inverse_ln2) == (float)k ? k : k + 1;
    k++;
    return (float)((double)k - (1.0 - mantissa / 2) * inverse_ln2) == (float)k ? k : k - 1;
}

/* A block's E8M0 code by a project. */
static uint8_t nc_fp4__project_e8m0(const nc_fp4__project *project, nc_fp4_scale_rule rule,
                                    float absmax) {
    const int up = rule == NC_FP4_SCALE_CEIL;
    int code;
    if (!up && project->convention != NC_FP4_AS_GGML)
        return nc_fp4__e8m0_scale(project->element, rule, absmax);
    absmax = up ? absmax / project->element->largest : absmax;
    code = absmax > 0 ? nc_fp4__rounded_log2(absmax, up) + 127 - (up ? 0 : 2) : 0;
    return (uint8_t)(code > 0 ? code : 0);
}

/* A block's E4M3 code by a project. */
static uint8_t nc_fp4__project_e4m3(const nc_fp4__project *project, float absmax,
                                    float tensor_scale) {
    const float largest = project->element->largest;
    float ratio;
    uint8_t code;
    if (project->convention == NC_FP4_AS_MODELOPT)
        ratio = absmax / (largest * tensor_scale);
    else if (project->convention == NC_FP4_AS_TORCHAO)
        ratio = absmax / largest / tensor_scale;
    else
        ratio = absmax / largest * tensor_scale;
    if (!(ratio > 0)) return project->zero;
    code = nc_fp4_e4m3_encode(ratio);
    if (code < project->least) return project->least;
    return code ? code : project->zero;
}

/* The stored scale of a block of n values by a project, and what they are to be multiplied by (the
 * result is 1) or divided by (0). Finite absmax; a part of a block is not whole. */
static int nc_fp4__project_scale(const nc_fp4__project *project, nc_fp4_scale_rule rule,
                                 float absmax, int whole, float tensor_scale, uint8_t *out,
                                 float *by) {
    const float least = 1e-38f; /* of what bitsandbytes divides by */
    switch (nc_fp4__formats[project->format].scale) {
    case NC_FP4__E8M0:
        *out = nc_fp4__project_e8m0(project, rule, absmax);
        *by = nc_fp4_e8m0_decode(*out);
        if (project->convention == NC_FP4_AS_TORCHAO && *out == 0) /* divided by 2^-126, or not */
            *by = rule == NC_FP4_SCALE_CEIL ? 1.0f : 1.17549435e-38f;
        return 0;
    case NC_FP4__E4M3:
        *out = nc_fp4__project_e4m3(project, absmax, tensor_scale);
        *by = nc_fp4_e4m3_decode(*out);
        if (project->convention == NC_FP4_AS_TORCHAO) *by = 1.0f / tensor_scale / *by;
        if (project->convention == NC_FP4_AS_MODELOPT) *by = *by * tensor_scale;
        if (project->convention == NC_FP4_AS_COMPRESSED_TENSORS) *by = *by / tensor_scale;
        return project->convention == NC_FP4_AS_TORCHAO;
    default:
        if (!whole && absmax < least) absmax = least;
        nc__put_le(out, nc_fp4__bits(absmax), 4);
        *by = absmax > least ? absmax : least;
        if (whole) *by = 1.0f / *by;
        return whole;
    }
}

/* The code of a scaled value by a project. */
static uint8_t nc_fp4__project_code(const nc_fp4__project *project, float x) {
    const uint8_t code = nc_fp4__nearest(project->element, x);
    switch (project->sign) {
    case NC_FP4__SIGN_OF_VALUE: return x == 0 ? code & 7 : code;
    case NC_FP4__SIGN_OF_CODE: return code == 8 ? 0 : code;
    case NC_FP4__SIGN_UNLESS_MORE: return x > 0 ? code : code | 8;
    default: return code;
    }
}

/* Scales and codes of n values by a project. A block that is not finite has a NaN scale here too;
 * zeros stay zeros where torchao and ModelOpt make them NaN: under a tensor scale of 0, or one
 * whose inverse is infinite. */
static void nc_fp4__quantize_project(const nc_fp4__project *project, const nc_fp4__row *row,
                                     nc_fp4_scale_rule rule, const float *x, size_t n,
                                     float tensor_scale, uint8_t *codes, uint8_t *scales) {
    const size_t scale_bytes = nc_fp4__scales[row->scale].bytes,
                 block = row->block ? row->block : n;
    size_t i, m, k;
    for (i = 0; i < n; i += m) {
        const size_t left = n - i;
        uint8_t *out = scales + i / block * scale_bytes;
        uint32_t most;
        float by = nc_fp4__float(0x7FC00000);
        int times = 0;
        m = left < block ? left : block;
        most = nc_fp4__absmax_bits(x + i, m);
        if (most < UINT32_C(0x7F800000))
            times = nc_fp4__project_scale(project, rule, nc_fp4__float(most), m == block,
                                          tensor_scale, out, &by);
        else
            (void)nc_fp4__block_scale(row, NC_FP4_SCALE_FLOOR, by, tensor_scale, out);
        for (k = 0; k < m; k++) {
            const float value = times ? x[i + k] * by : x[i + k] / by;
            /* NaN: 0 over 0, 0 times infinity, or all of a block that is not finite */
            nc_fp4__put(codes, i + k, nc_fp4__project_code(project, value == value ? value : 0.0f));
        }
    }
}

/* -- blocks ------------------------------------------------------------------------------- */

/* Scales and codes of n values, block by block; element numbers start at `first`. */
static void nc_fp4__quantize_blocks(const nc_fp4__row *row, const nc_fp4_options *o, const float *x,
                                    size_t n, uint64_t first, float tensor_scale, uint8_t *codes,
                                    uint8_t *scales) {
    const size_t scale_bytes = nc_fp4__scales[row->scale].bytes;
#ifdef NC_FP4__LANES8
    const size_t wide = nc_fp4__lanes() == 16 && !nc_fp4__fits512(row) ? 8 : nc_fp4__lanes();
#endif
    const size_t block = row->block ? row->block : n ? n : 1;
    const nc_fp4__project *project = nc_fp4__project_of(row, o->convention);
    float scale = 1.0f;
    size_t i, m;
    if (project) {
        nc_fp4__quantize_project(project, row, o->rule, x, n, tensor_scale, codes, scales);
        return;
    }
    for (i = 0; i < n; i += m) {
        uint8_t *out = scale_bytes ? scales + i / block * scale_bytes : NULL;
#ifdef NC_FP4__LANES8
        if (wide && i % (wide * block) == 0 && n - i >= block && scale_bytes &&
            o->rule == NC_FP4_SCALE_FLOOR && !o->stochastic) {
            const size_t blocks = (n - i) / block < wide ? (n - i) / block : wide;
            m = blocks * block;
#ifdef NC_FP4__X86
            if (wide == 16 &&
                nc_fp4__quantize512(row, x + i, blocks, tensor_scale, codes + i / 2, out))
                continue;
#endif
            if (wide == 8 &&
                nc_fp4__quantize8(row, x + i, blocks, tensor_scale, codes + i / 2, out))
                continue;
        }
#endif
        m = n - i < block ? n - i : block;
        if (scale_bytes) scale = nc_fp4__scale_by_rule(row, o->rule, x + i, m, tensor_scale, out);
        nc_fp4__encode_block(row, o, x + i, m, scale, first + i, codes + i / 2);
    }
}

NC_API nc_status nc_fp4_quantize(nc_fp4_format format, const float *x, size_t n, uint8_t *codes,
                                 uint8_t *scales, float *tensor_scale) {
    return nc_fp4_quantize_with(format, NULL, x, n, codes, scales, tensor_scale);
}

NC_API nc_status nc_fp4_quantize_with(nc_fp4_format format, const nc_fp4_options *options,
                                      const float *x, size_t n, uint8_t *codes, uint8_t *scales,
                                      float *tensor_scale) {
    static const nc_fp4_options none = {NC_FP4_SCALE_FLOOR, 0, 0, NC_FP4_AS_DEFINED, 0};
    const nc_fp4_options *o = options ? options : &none;
    const nc_fp4__row *row = nc_fp4__row_of(format);
    nc_status status;
    if (!row || !tensor_scale) return NC_ERR_ARG;
    if (n && (!x || !codes || (row->block && !scales))) return NC_ERR_ARG;
    status = nc_fp4__options_fit(row, o);
    if (status != NC_OK) return status;
    *tensor_scale = nc_fp4__tensor_scale(row, o, x, n);
    nc_fp4__quantize_blocks(row, o, x, n, 0, *tensor_scale, codes, scales);
    return NC_OK;
}

static void nc_fp4__dequantize(const nc_fp4__row *row, const uint8_t *codes, const uint8_t *scales,
                               float tensor_scale, size_t n, float *x) {
    const size_t block = row->block ? row->block : n;
    size_t i = 0, m, k;
#ifdef NC_FP4__LANES8
    if (nc_fp4__lanes() == 8 || (nc_fp4__lanes() && block <= 32)) /* many scales */
        i = nc_fp4__values8(row, codes, scales, tensor_scale, n, x);
#endif
    for (; i < n; i += m) {
        const float scale = nc_fp4__read_scale(row, scales, i / block, tensor_scale);
        m = n - i > block - i % block ? block - i % block : n - i;
        k = 0;
#ifdef NC_FP4__X86
        if (nc_fp4__level() >= 2) {
            k = m / 16 * 16;
            nc_fp4__values512(row->element->value, codes + i / 2, k, scale, x + i);
        }
#endif
        for (; k < m; k++) x[i + k] = row->element->value[nc_fp4__code_at(codes, i + k)] * scale;
    }
}

NC_API nc_status nc_fp4_dequantize(nc_fp4_format format, const uint8_t *codes,
                                   const uint8_t *scales, float tensor_scale, size_t n, float *x) {
    const nc_fp4__row *row = nc_fp4__row_of(format);
    if (!row || (n && (!x || !codes || (row->block && !scales)))) return NC_ERR_ARG;
    nc_fp4__dequantize(row, codes, scales, tensor_scale, n, x);
    return NC_OK;
}

/* Where element i of n lies: byte and shift of its nibble. */
static size_t nc_fp4__place(nc_fp4_order order, size_t i, size_t n, size_t group, uint32_t *shift) {
    size_t first, length, half;
    *shift = (uint32_t)(i % 2 * 4);
    if (order == NC_FP4_HIGH_FIRST) *shift = 4 - *shift;
    if (order != NC_FP4_SPLIT || group == 0) return i / 2;
    first = i / group * group;
    length = n - first < group ? n - first : group;
    half = length / 2;
    *shift = i - first < half ? 0 : 4;
    return first / 2 + i - first - (*shift ? half : 0);
}

/* Whether this machine's numbers lie in memory as those of files do. */
static int nc_fp4__is_little(void) {
    const uint32_t one = 1;
    uint8_t first;
    memcpy(&first, &one, 1);
    return first;
}

/* The nibbles of eight bytes, those below 16 of each, side by side in four. */
static uint32_t nc_fp4__join_nibbles(uint64_t x) {
    x &= UINT64_C(0x0F0F0F0F0F0F0F0F);
    x = (x | x >> 4) & UINT64_C(0x00FF00FF00FF00FF);
    x = (x | x >> 8) & UINT64_C(0x0000FFFF0000FFFF);
    return (uint32_t)(x | x >> 16);
}

/* The other way. */
static uint64_t nc_fp4__part_nibbles(uint32_t joined) {
    uint64_t x = joined;
    x = (x | x << 16) & UINT64_C(0x0000FFFF0000FFFF);
    x = (x | x << 8) & UINT64_C(0x00FF00FF00FF00FF);
    return (x | x << 4) & UINT64_C(0x0F0F0F0F0F0F0F0F);
}

/* Whole groups of 16, 32 .. codes, eight bytes of halves at a time, to pairs (LOW_FIRST) or back.
 * On little-endian machines. */
static void nc_fp4__regroup(uint8_t *out, const uint8_t *codes, size_t groups, size_t group,
                            int back) {
    uint8_t some[2048];
    size_t i, at;
    for (i = 0; i < groups; i++, out += group / 2, codes += group / 2) {
        memcpy(some, codes, group / 2); /* out may be codes */
        for (at = 0; at < group / 4; at += 4) {
            uint64_t halves;
            uint32_t low, high;
            if (back) {
                memcpy(&low, some + at, 4);
                memcpy(&high, some + group / 4 + at, 4);
                halves = nc_fp4__part_nibbles(low) | nc_fp4__part_nibbles(high) << 4;
                memcpy(out + 2 * at, &halves, 8);
            } else {
                memcpy(&halves, some + 2 * at, 8);
                low = nc_fp4__join_nibbles(halves);
                high = nc_fp4__join_nibbles(halves >> 4);
                memcpy(out + at, &low, 4);
                memcpy(out + group / 4 + at, &high, 4);
            }
        }
    }
}

/* The codes that go quickly, whole bytes and groups from the first on; returns how many. */
static size_t nc_fp4__reorder_whole(uint8_t *out, const uint8_t *codes, size_t n, nc_fp4_order from,
                                    nc_fp4_order to, size_t group) {
    size_t i;
    if (from + to == NC_FP4_LOW_FIRST + NC_FP4_HIGH_FIRST && from != to) {
        for (i = 0; i < n / 2; i++) out[i] = (uint8_t)(codes[i] << 4 | codes[i] >> 4);
        return n / 2 * 2;
    }
    if (from == to || from + to != NC_FP4_LOW_FIRST + NC_FP4_SPLIT || group % 16 ||
        !nc_fp4__is_little())
        return 0;
    nc_fp4__regroup(out, codes, n / group, group, to == NC_FP4_SPLIT);
    return n / group * group;
}

NC_API nc_status nc_fp4_reorder(uint8_t *out, const uint8_t *codes, size_t n, nc_fp4_order from,
                                nc_fp4_order to, size_t group) {
    const int split = from == NC_FP4_SPLIT || to == NC_FP4_SPLIT;
    const size_t step = split ? group : 2;
    size_t i, first;
    uint32_t shift;
    if ((unsigned)from > NC_FP4_SPLIT || (unsigned)to > NC_FP4_SPLIT) return NC_ERR_ARG;
    if (n && (!out || !codes)) return NC_ERR_ARG;
    if (split && (group == 0 || group % 2 || group > 4096 || n % 2)) return NC_ERR_ARG;
    first = nc_fp4__reorder_whole(out, codes, n, from, to, group);
    for (; first < n; first += step) { /* group by group, so that out may be codes */
        uint8_t some[2048];
        const size_t length = n - first < step ? n - first : step;
        memset(some, 0, (length + 1) / 2);
        for (i = first; i < first + length; i++) {
            uint8_t code = codes[nc_fp4__place(from, i, n, step, &shift)];
            size_t at;
            code = (uint8_t)(code >> shift & 15);
            at = nc_fp4__place(to, i, n, step, &shift) - first / 2;
            some[at] = (uint8_t)(some[at] | code << shift);
        }
        memcpy(out + first / 2, some, (length + 1) / 2);
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
        if (!(d <= max) && max == max) max = d; /* NaN stays */
    }
    stats->mse = n ? noise / (double)n : 0;
    stats->max_abs = max;
    stats->snr_db = noise == 0 ? 999 : noise > 0 && signal == 0 ? -999 : 10 * log10(signal / noise);
}

/* >>sources ====================================================================== */

NC__COLD_BEGIN

static nc_status nc_fp4__memory_read(void *user, uint64_t at, void *to, size_t bytes) {
    memcpy(to, (const uint8_t *)user + at, bytes);
    return NC_OK;
}

NC_API void nc_fp4_source_memory(nc_fp4_source *source, const void *data, size_t bytes) {
    if (!source) return;
    source->read_fn = nc_fp4__memory_read;
    memcpy(&source->user, &data, sizeof data); /* it is only read from */
    source->bytes = data ? bytes : 0;
}

#ifndef NC_NO_STDIO
#if defined(NC__POSIX_FILES)
/* The descriptor stands in the place of the pointer; reading at a place leaves no state behind, so
 * that threads can share it. */
static nc_status nc_fp4__file_read(void *user, uint64_t at, void *to, size_t bytes) {
    const int fd = (int)(intptr_t)user;
    uint8_t *out = (uint8_t *)to;
    while (bytes) {
        const size_t piece = bytes < (size_t)1 << 30 ? bytes : (size_t)1 << 30;
        const long got = (long)pread(fd, out, piece, (off_t)at);
        if (got < 0 && errno == EINTR) continue;
        if (got <= 0) return NC_ERR_IO;
        out += got;
        at += (uint64_t)got;
        bytes -= (size_t)got;
    }
    return NC_OK;
}

static nc_status nc_fp4__file_open(nc_fp4_source *source, const char *path, nc_error *err) {
    struct stat about;
    const int fd = open(path, O_RDONLY | O_NONBLOCK); /* a pipe is refused, not waited for */
    if (fd < 0 || fstat(fd, &about) != 0) {
        const int reason = errno;
        if (fd >= 0) (void)close(fd);
        return nc__file_error(err, "open", path, reason);
    }
    if (!S_ISREG(about.st_mode)) {
        (void)close(fd);
        return nc__fail(err, NC_ERR_IO, 0, 0, "'%.100s' is no regular file", path);
    }
    source->user = (void *)(intptr_t)fd; /* NOLINT(performance-no-int-to-ptr): never followed */
    source->bytes = (uint64_t)about.st_size;
    return NC_OK;
}

static void nc_fp4__file_close(void *user) { (void)close((int)(intptr_t)user); }
#else
/* The C library's own files reach as far as a long does: 2 GB on Windows. */
static nc_status nc_fp4__file_read(void *user, uint64_t at, void *to, size_t bytes) {
    FILE *file = (FILE *)user;
    const int there = at <= (uint64_t)LONG_MAX && fseek(file, (long)at, SEEK_SET) == 0;
    return there && fread(to, 1, bytes, file) == bytes ? NC_OK : NC_ERR_IO;
}

static nc_status nc_fp4__file_open(nc_fp4_source *source, const char *path, nc_error *err) {
    FILE *file = fopen(path, "rb");
    const long past = file && fseek(file, 0, SEEK_END) == 0 ? ftell(file) : -1;
    if (past < 0) {
        const int reason = errno;
        if (file) (void)fclose(file);
        return nc__file_error(err, "open", path, reason);
    }
    source->user = file;
    source->bytes = (uint64_t)past;
    return NC_OK;
}

static void nc_fp4__file_close(void *user) { (void)fclose((FILE *)user); }
#endif

NC_API nc_status nc_fp4_source_open(nc_fp4_source *source, const char *path, nc_error *err) {
    nc_status status;
    nc__clear(err);
    if (!source) return nc__fail(err, NC_ERR_ARG, 0, 0, "no source");
    memset(source, 0, sizeof *source);
    if (!path) return nc__fail(err, NC_ERR_ARG, 0, 0, "no path");
    status = nc_fp4__file_open(source, path, err);
    if (status == NC_OK) source->read_fn = nc_fp4__file_read;
    return status;
}

NC_API void nc_fp4_source_close(nc_fp4_source *source) {
    if (!source) return;
    if (source->read_fn == nc_fp4__file_read) nc_fp4__file_close(source->user);
    memset(source, 0, sizeof *source);
}
#endif

static nc_status nc_fp4__source_read(const nc_fp4_source *source, uint64_t at, void *to,
                                     size_t bytes, nc_error *err) {
    nc_status status;
    if (at > source->bytes || bytes > source->bytes - at)
        return nc__fail(err, NC_ERR_FORMAT, 0, 0, "bytes %llu to %llu lie outside the file",
                        (unsigned long long)at, (unsigned long long)at + bytes);
    status = bytes ? source->read_fn(source->user, at, to, bytes) : NC_OK;
    return status == NC_OK ? NC_OK
                           : nc__fail(err, status, 0, 0, "cannot read %llu bytes at %llu",
                                      (unsigned long long)bytes, (unsigned long long)at);
}

/* -- the tensors of one or more files ---------------------------------------------------------- */

/* A tensor of a file: where its bytes are. */
typedef struct nc_fp4__entry {
    const char *name;
    char dtype[16]; /* safetensors' name of the type; GGUF's where safetensors has none */
    uint32_t bits;  /* of a value; 0 for types that are blocks, or not known here */
    uint32_t rank;  /* any; the first eight dimensions are in `shape`, the slowest first */
    uint64_t shape[8], count;
    uint32_t source; /* which of the list's */
    int big_endian, fortran;
    uint64_t offset, bytes; /* of its data in the source */
    size_t name_at;
} nc_fp4__entry;

/* A pair of a file's metadata. */
typedef struct nc_fp4__pair {
    const char *key;
    const char *text; /* a string; a number's or a truth's digits; "" for an array */
    uint32_t source;
    uint32_t type;      /* GGUF's: 8 is a string */
    const uint8_t *raw; /* GGUF: the value as it stands there; null in other files */
    size_t raw_bytes;
    size_t key_at, text_at, raw_at;
} nc_fp4__pair;

typedef enum nc_fp4__container {
    NC_FP4__IN_SAFETENSORS = 1,
    NC_FP4__IN_GGUF,
    NC_FP4__IN_NPY
} nc_fp4__container;

/* A file of the list. */
typedef struct nc_fp4__part {
    nc_fp4_source source;
    nc_fp4__container container;
    uint32_t alignment; /* GGUF's, of the data */
    int opened;         /* by the list, which closes it */
    size_t path_at;     /* what it is called in an index */
} nc_fp4__part;

/* Everything that the headers of one or more files say. Zeroed at first. */
typedef struct nc_fp4__list {
    nc__buffer text;                  /* names, keys and values, each with a NUL behind it */
    nc__buffer entries, pairs, parts; /* arrays of what stands above */
    nc__index names;                  /* entries by their names */
} nc_fp4__list;

static size_t nc_fp4__list_count(const nc_fp4__list *list) {
    return list->entries.used / sizeof(nc_fp4__entry);
}

/* Element i of a buffer, each of such size. An empty one has null, to which nothing is added. */
static void *nc_fp4__element_at(const nc__buffer *b, size_t i, size_t size) {
    return i ? b->data + i * size : b->data;
}

static nc_fp4__entry *nc_fp4__list_entry(const nc_fp4__list *list, size_t i) {
    return (nc_fp4__entry *)nc_fp4__element_at(&list->entries, i, sizeof(nc_fp4__entry));
}

static size_t nc_fp4__list_pairs(const nc_fp4__list *list) {
    return list->pairs.used / sizeof(nc_fp4__pair);
}

static nc_fp4__pair *nc_fp4__list_pair(const nc_fp4__list *list, size_t i) {
    return (nc_fp4__pair *)nc_fp4__element_at(&list->pairs, i, sizeof(nc_fp4__pair));
}

static size_t nc_fp4__list_parts(const nc_fp4__list *list) {
    return list->parts.used / sizeof(nc_fp4__part);
}

static nc_fp4__part *nc_fp4__list_part(const nc_fp4__list *list, size_t i) {
    return (nc_fp4__part *)nc_fp4__element_at(&list->parts, i, sizeof(nc_fp4__part));
}

static void nc_fp4__list_free(nc_fp4__list *list) {
#ifndef NC_NO_STDIO
    size_t i;
    for (i = 0; i < nc_fp4__list_parts(list); i++)
        if (nc_fp4__list_part(list, i)->opened)
            nc_fp4_source_close(&nc_fp4__list_part(list, i)->source);
#endif
    nc__buffer_free(&list->text);
    nc__buffer_free(&list->entries);
    nc__buffer_free(&list->pairs);
    nc__buffer_free(&list->parts);
    nc__index_free(&list->names);
}

static uint32_t nc_fp4__name_hash(const char *name) {
    return (uint32_t)nc__mix(nc__fnv1a(NC__FNV_START, name, strlen(name)));
}

/* The tensor of a name, or null. */
static nc_fp4__entry *nc_fp4__list_find(const nc_fp4__list *list, const char *name) {
    const uint32_t hash = nc_fp4__name_hash(name);
    size_t at = hash;
    uint32_t id;
    while ((id = nc__index_next(&list->names, hash, &at)) != UINT32_MAX) {
        nc_fp4__entry *e = nc_fp4__list_entry(list, id);
        if (!strcmp(list->text.data + e->name_at, name)) return e;
    }
    return NULL;
}

/* The text of a key in the metadata of a file, or null; the last where several are there. */
static const char *nc_fp4__list_value(const nc_fp4__list *list, uint32_t source, const char *key) {
    size_t i = nc_fp4__list_pairs(list);
    while (i--) {
        const nc_fp4__pair *pair = nc_fp4__list_pair(list, i);
        if (pair->source == source && !strcmp(pair->key, key)) return pair->text;
    }
    return NULL;
}

/* Keep bytes with a NUL behind them; returns their place in the text. */
static size_t nc_fp4__list_keep(nc_fp4__list *list, const void *data, size_t bytes) {
    const size_t at = list->text.used;
    nc__buffer_put(&list->text, data, bytes);
    nc__buffer_put(&list->text, "", 1);
    return at;
}

/* A tensor to the list; e->name need not last. */
static nc_status nc_fp4__list_add(nc_fp4__list *list, nc_fp4__entry *e, nc_error *err) {
    const size_t id = nc_fp4__list_count(list);
    if (nc_fp4__list_find(list, e->name))
        return nc__fail(err, NC_ERR_MISMATCH, 0, 0, "there are two tensors '%.90s'", e->name);
    if (id >= UINT32_MAX - 1) return nc__fail(err, NC_ERR_LIMIT, 0, 0, "more than 2^32 tensors");
    e->source = (uint32_t)nc_fp4__list_parts(list) - 1;
    e->name_at = nc_fp4__list_keep(list, e->name, strlen(e->name));
    nc__buffer_put(&list->entries, e, sizeof *e);
    if (list->text.status == NC_OK && list->entries.status == NC_OK &&
        nc__index_add(&list->names, nc_fp4__name_hash(list->text.data + e->name_at), (uint32_t)id))
        return NC_OK;
    return nc__fail(err, NC_ERR_MEMORY, 0, 0, "out of memory for the list of tensors");
}

/* A pair of metadata to the list; raw may be null. */
static nc_status nc_fp4__list_add_pair(nc_fp4__list *list, const char *key, uint32_t type,
                                       const char *text, const uint8_t *raw, size_t raw_bytes,
                                       nc_error *err) {
    nc_fp4__pair pair;
    memset(&pair, 0, sizeof pair);
    pair.source = (uint32_t)nc_fp4__list_parts(list) - 1;
    pair.type = type;
    pair.key_at = nc_fp4__list_keep(list, key, strlen(key));
    pair.text_at = nc_fp4__list_keep(list, text, strlen(text));
    pair.raw_at = raw ? nc_fp4__list_keep(list, raw, raw_bytes) : SIZE_MAX;
    pair.raw_bytes = raw_bytes;
    nc__buffer_put(&list->pairs, &pair, sizeof pair);
    return list->text.status == NC_OK && list->pairs.status == NC_OK
               ? NC_OK
               : nc__fail(err, NC_ERR_MEMORY, 0, 0, "out of memory for the metadata");
}

/* The text has moved as it grew: set what points into it. */
static void nc_fp4__list_point(nc_fp4__list *list) {
    const char *text = list->text.data;
    size_t i;
    for (i = 0; i < nc_fp4__list_count(list); i++)
        nc_fp4__list_entry(list, i)->name = text + nc_fp4__list_entry(list, i)->name_at;
    for (i = 0; i < nc_fp4__list_pairs(list); i++) {
        nc_fp4__pair *pair = nc_fp4__list_pair(list, i);
        pair->key = text + pair->key_at;
        pair->text = text + pair->text_at;
        pair->raw = pair->raw_at == SIZE_MAX ? NULL : (const uint8_t *)text + pair->raw_at;
    }
}

/* -- safetensors: only the header is read ------------------------------------------------------ */

static nc_status nc_fp4__list_items(nc_fp4__list *list, nc__safetensors *f, uint64_t data,
                                    nc_error *err) {
    nc__item item;
    nc__item_kind kind;
    nc_status status = NC_OK;
    while (status == NC_OK && (kind = nc__safetensors_next(f, &item)) != NC__ITEM_END) {
        nc_fp4__entry e;
        if (kind == NC__ITEM_PAIR) {
            status = nc_fp4__list_add_pair(list, item.name, 8, item.text, NULL, 0, err);
            continue;
        }
        memset(&e, 0, sizeof e);
        e.name = item.name;
        memcpy(e.dtype, item.dtype, sizeof e.dtype);
        e.bits = (uint32_t)nc__dtype_bits(item.dtype);
        e.rank = item.rank;
        memcpy(e.shape, item.shape, sizeof e.shape);
        e.count = item.count;
        e.offset = data + item.offset;
        e.bytes = item.bytes;
        status = nc_fp4__list_add(list, &e, err);
    }
    return status == NC_OK ? f->t.status : status;
}

static nc_status nc_fp4__list_safetensors(nc_fp4__list *list, const nc_fp4_source *source,
                                          nc_error *err) {
    nc__safetensors f;
    uint8_t size[8], *header;
    uint64_t length;
    nc_status status = nc_fp4__source_read(source, 0, size, 8, err);
    if (status != NC_OK) return status;
    length = nc__get_le(size, 8);
    if (length > NC__SAFETENSORS_HEADER)
        return nc__fail(err, NC_ERR_LIMIT, 0, 0, "a header of %llu bytes, more than %u",
                        (unsigned long long)length, (unsigned)NC__SAFETENSORS_HEADER);
    header = (uint8_t *)nc__alloc(NULL, (size_t)length);
    if (!header) return nc__fail(err, NC_ERR_MEMORY, 0, 0, "out of memory for the header");
    status = nc_fp4__source_read(source, 8, header, (size_t)length, err);
    if (status == NC_OK) {
        status = nc__safetensors_header(&f, header, (size_t)length, NULL,
                                        source->bytes - 8 - length, err);
        if (status == NC_OK) status = nc_fp4__list_items(list, &f, 8 + length, err);
        nc__safetensors_close(&f);
    }
    nc__free(NULL, header, 0);
    return status;
}

/* -- .npy: one tensor, "array" ----------------------------------------------------------------- */

static nc_status nc_fp4__list_npy(nc_fp4__list *list, const nc_fp4_source *source, nc_error *err) {
    const size_t most = 1 << 20; /* numpy writes 128 bytes, and reads 10,000 */
    uint8_t start[12], *header;
    nc_fp4__entry e;
    uint64_t offset;
    nc__npy a;
    nc_status status =
        nc_fp4__source_read(source, 0, start, source->bytes < 12 ? (size_t)source->bytes : 12, err);
    if (status != NC_OK) return status;
    offset = nc__npy_offset(start, source->bytes < 12 ? (size_t)source->bytes : 12);
    if (offset == 0 || offset > source->bytes || offset > most)
        return nc__fail(err, NC_ERR_FORMAT, 0, 0, "a .npy header of %llu bytes",
                        (unsigned long long)offset);
    header = (uint8_t *)nc__alloc(NULL, (size_t)offset);
    if (!header) return nc__fail(err, NC_ERR_MEMORY, 0, 0, "out of memory for the header");
    status = nc_fp4__source_read(source, 0, header, (size_t)offset, err);
    if (status == NC_OK) status = nc__npy_header(&a, header, source->bytes, err);
    nc__free(NULL, header, 0);
    if (status != NC_OK) return status;
    memset(&e, 0, sizeof e);
    e.name = "array";
    e.bits = 8 * a.width;
    if (a.kind == 'b')
        memcpy(e.dtype, "BOOL", 5);
    else
        snprintf(e.dtype, sizeof e.dtype, "%c%u",
                 a.kind == 'f'   ? 'F'
                 : a.kind == 'i' ? 'I'
                                 : 'U',
                 (unsigned)e.bits);
    e.rank = a.rank;
    memcpy(e.shape, a.shape, sizeof e.shape);
    e.count = a.count;
    e.big_endian = a.big_endian;
    e.fortran = a.fortran && a.rank > 1;
    e.offset = offset;
    e.bytes = a.count * a.width;
    return nc_fp4__list_add(list, &e, err);
}

/* -- GGUF 2 and 3 (ggml, docs/gguf.md): metadata of types, tensor infos, then the data --------- */

#define NC_FP4__GGUF_STRING 8
#define NC_FP4__GGUF_ARRAY 9
#define NC_FP4__GGUF_ALIGNMENT 32u /* of the data, unless general.alignment says another */

/* A header of unknown length, read as far as it is asked for. */
typedef struct nc_fp4__gguf {
    const nc_fp4_source *source;
    nc__buffer head; /* the file's first bytes */
    size_t at;
    uint32_t alignment;
    nc_error *err;
    nc_status status;
} nc_fp4__gguf;

/* The next so many bytes, until the next call; null after a failure. */
static const uint8_t *nc_fp4__gguf_take(nc_fp4__gguf *g, uint64_t bytes) {
    const uint64_t most = (uint64_t)1 << 30, need = g->at + bytes;
    if (g->status == NC_OK && (bytes > g->source->bytes || need > g->source->bytes))
        g->status =
            nc__fail(g->err, NC_ERR_FORMAT, 0, 0, "the header ends at byte %llu, amid a value",
                     (unsigned long long)g->source->bytes);
    if (g->status == NC_OK && need > most)
        g->status = nc__fail(g->err, NC_ERR_LIMIT, 0, 0, "a header of more than 2^30 bytes");
    if (g->status == NC_OK && need > g->head.used) {
        const uint64_t left = g->source->bytes - g->head.used;
        uint64_t more = need - g->head.used, ahead = g->head.used < 65536 ? 65536 : g->head.used;
        char *to;
        if (more < ahead) more = ahead < left ? ahead : left;
        to = nc__buffer_add(&g->head, (size_t)more);
        g->status = to ? nc_fp4__source_read(g->source, g->head.used - (size_t)more, to,
                                             (size_t)more, g->err)
                       : nc__fail(g->err, NC_ERR_MEMORY, 0, 0, "out of memory for the header");
    }
    if (g->status != NC_OK) return NULL;
    g->at += (size_t)bytes;
    return (const uint8_t *)g->head.data + g->at - bytes;
}

static uint64_t nc_fp4__gguf_number(nc_fp4__gguf *g, size_t bytes) {
    const uint8_t *at = nc_fp4__gguf_take(g, bytes);
    return at ? nc__get_le(at, bytes) : 0;
}

/* A name or key, with a NUL behind it in `to`: UTF-8 without a NUL of its own. */
static void nc_fp4__gguf_name(nc_fp4__gguf *g, nc__buffer *to) {
    const uint64_t length = nc_fp4__gguf_number(g, 8);
    const uint8_t *at = nc_fp4__gguf_take(g, length);
    size_t i = 0, n;
    if (!at) return;
    while (i < length && at[i] && (n = nc__utf8(at + i, (size_t)length - i)) > 0) i += n;
    if (i < length)
        g->status = nc__fail(g->err, NC_ERR_FORMAT, 0, 0, "a name at byte %llu that is not UTF-8",
                             (unsigned long long)(g->at - length));
    to->used = 0;
    nc__buffer_put(to, at, (size_t)length);
    if (to->status != NC_OK) g->status = nc__fail(g->err, to->status, 0, 0, "out of memory");
}

/* Bytes of a number of a type; 0 for strings and arrays, and for types that are none. */
static size_t nc_fp4__gguf_width(uint64_t type) {
    static const uint8_t width[13] = {1, 1, 2, 2, 4, 4, 4, 1, 0, 0, 8, 8, 8};
    return type < 13 ? width[type] : 0;
}

/* Pass a value over: arrays may hold arrays. */
static void nc_fp4__gguf_skip(nc_fp4__gguf *g, uint64_t type) {
    struct {
        uint64_t type, left;
    } stack[8];
    int depth = 0;
    stack[0].type = type;
    stack[0].left = 1;
    while (depth >= 0 && g->status == NC_OK) {
        const uint64_t of = stack[depth].type;
        const size_t width = nc_fp4__gguf_width(of);
        if (stack[depth].left == 0) {
            depth--;
        } else if (width) {
            const uint64_t n = stack[depth].left;
            (void)nc_fp4__gguf_take(g, n > UINT64_MAX / 8 ? UINT64_MAX : n * width);
            depth--;
        } else if (of == NC_FP4__GGUF_STRING) {
            stack[depth].left--;
            (void)nc_fp4__gguf_take(g, nc_fp4__gguf_number(g, 8));
        } else if (of == NC_FP4__GGUF_ARRAY && depth < 7) {
            stack[depth++].left--;
            stack[depth].type = nc_fp4__gguf_number(g, 4);
            stack[depth].left = nc_fp4__gguf_number(g, 8);
        } else if (of == NC_FP4__GGUF_ARRAY) {
            g->status = nc__fail(g->err, NC_ERR_LIMIT, 0, 0, "arrays more than seven deep");
        } else {
            g->status = nc__fail(g->err, NC_ERR_FORMAT, 0, 0, "metadata of the unknown type %llu",
                                 (unsigned long long)of);
        }
    }
}

/* The value of a number or a truth as text; arrays are left to their bytes. */
static void nc_fp4__gguf_text(nc__buffer *to, uint64_t type, const uint8_t *raw) {
    const size_t width = nc_fp4__gguf_width(type);
    const uint64_t bits = nc__get_le(raw, width);
    const int drop = 64 - 8 * (int)width;
    to->used = 0;
    if (type == 6) {
        nc__buffer_real(to, (double)nc_fp4__float((uint32_t)bits), 9);
    } else if (type == 12) {
        double value;
        memcpy(&value, &bits, sizeof value);
        nc__buffer_real(to, value, 17);
    } else if (type == 7) {
        nc__buffer_print(to, "%s", bits ? "true" : "false");
    } else if (type == 1 || type == 3 || type == 5 || type == 11) {
        nc__buffer_print(to, "%lld", (long long)((int64_t)(bits << drop) >> drop));
    } else {
        nc__buffer_print(to, "%llu", (unsigned long long)bits);
    }
}

/* One pair of the metadata. */
static void nc_fp4__gguf_pair(nc_fp4__gguf *g, nc_fp4__list *list, nc__buffer *key,
                              nc__buffer *text) {
    uint32_t type;
    size_t at;
    nc_fp4__gguf_name(g, key);
    type = (uint32_t)nc_fp4__gguf_number(g, 4);
    at = g->at;
    nc_fp4__gguf_skip(g, type);
    if (g->status != NC_OK) return;
    text->used = 0;
    nc__buffer_put(text, "", 0);
    if (type == NC_FP4__GGUF_STRING)
        nc__buffer_put(text, g->head.data + at + 8, g->at - at - 8);
    else if (type != NC_FP4__GGUF_ARRAY)
        nc_fp4__gguf_text(text, type, (const uint8_t *)g->head.data + at);
    if (text->status != NC_OK) {
        g->status = nc__fail(g->err, text->status, 0, 0, "out of memory");
        return;
    }
    if (!strcmp(key->data, "general.alignment")) {
        g->alignment = type == 4 ? (uint32_t)nc__get_le((uint8_t *)g->head.data + at, 4) : 0;
        if (g->alignment == 0 || (g->alignment & (g->alignment - 1)))
            g->status = nc__fail(g->err, NC_ERR_FORMAT, 0, 0,
                                 "general.alignment is no power of two as uint32");
    }
    if (g->status == NC_OK)
        g->status = nc_fp4__list_add_pair(list, key->data, type, text->data,
                                          (uint8_t *)g->head.data + at, g->at - at, g->err);
}

/* ggml's types: values and bytes of a block (ggml.h; the gguf package's constants). Those that were
 * taken out again have no name. */
typedef struct nc_fp4__ggml_type {
    uint8_t type;
    char name[8];
    uint16_t block, bytes;
} nc_fp4__ggml_type;

static const nc_fp4__ggml_type nc_fp4__ggml_types[] = {
    {0, "F32", 1, 4},         {1, "F16", 1, 2},         {2, "Q4_0", 32, 18},
    {3, "Q4_1", 32, 20},      {6, "Q5_0", 32, 22},      {7, "Q5_1", 32, 24},
    {8, "Q8_0", 32, 34},      {9, "Q8_1", 32, 40},      {10, "Q2_K", 256, 84},
    {11, "Q3_K", 256, 110},   {12, "Q4_K", 256, 144},   {13, "Q5_K", 256, 176},
    {14, "Q6_K", 256, 210},   {15, "Q8_K", 256, 292},   {16, "IQ2_XXS", 256, 66},
    {17, "IQ2_XS", 256, 74},  {18, "IQ3_XXS", 256, 98}, {19, "IQ1_S", 256, 50},
    {20, "IQ4_NL", 32, 18},   {21, "IQ3_S", 256, 110},  {22, "IQ2_S", 256, 82},
    {23, "IQ4_XS", 256, 136}, {24, "I8", 1, 1},         {25, "I16", 1, 2},
    {26, "I32", 1, 4},        {27, "I64", 1, 8},        {28, "F64", 1, 8},
    {29, "IQ1_M", 256, 56},   {30, "BF16", 1, 2},       {34, "TQ1_0", 256, 54},
    {35, "TQ2_0", 256, 66},   {39, "MXFP4", 32, 17},    {40, "NVFP4", 64, 36},
    {41, "Q1_0", 128, 18}};

/* The type of a number; null for one that is not known here. */
static const nc_fp4__ggml_type *nc_fp4__ggml_type_of(uint64_t type) {
    size_t i;
    for (i = 0; i < sizeof nc_fp4__ggml_types / sizeof *nc_fp4__ggml_types; i++)
        if (nc_fp4__ggml_types[i].type == type) return &nc_fp4__ggml_types[i];
    return NULL;
}

/* One tensor info; e->offset is then within the data, and e->bytes 0 for an unknown type. */
static void nc_fp4__gguf_info(nc_fp4__gguf *g, nc_fp4__entry *e, nc__buffer *name) {
    const nc_fp4__ggml_type *t;
    uint64_t fastest = 1, type;
    uint32_t i;
    memset(e, 0, sizeof *e);
    nc_fp4__gguf_name(g, name);
    e->rank = (uint32_t)nc_fp4__gguf_number(g, 4);
    e->name = g->status == NC_OK ? name->data : "";
    if (e->rank > 8)
        g->status = nc__fail(g->err, NC_ERR_LIMIT, 0, 0, "'%.90s' has %u dimensions, more than 8",
                             e->name, (unsigned)e->rank);
    for (i = 0, e->count = 1; i < e->rank && g->status == NC_OK; i++) {
        const uint64_t n = nc_fp4__gguf_number(g, 8);
        if (n && e->count > (UINT64_C(1) << 56) / n)
            g->status =
                nc__fail(g->err, NC_ERR_LIMIT, 0, 0, "'%.90s' has more than 2^56 values", e->name);
        if (i == 0) fastest = n;
        e->shape[e->rank - 1 - i] = n;
        e->count *= n;
    }
    type = nc_fp4__gguf_number(g, 4);
    e->offset = nc_fp4__gguf_number(g, 8);
    if (g->status != NC_OK) return;
    t = nc_fp4__ggml_type_of(type);
    if (!t) {
        snprintf(e->dtype, sizeof e->dtype, "GGML_%u", (unsigned)type);
        return;
    }
    memcpy(e->dtype, t->name, sizeof t->name);
    e->bits = t->block == 1 ? 8u * t->bytes : 0;
    if (fastest % t->block)
        g->status = nc__fail(g->err, NC_ERR_FORMAT, 0, 0, "'%.60s' is %s with rows of %llu values",
                             e->name, e->dtype, (unsigned long long)fastest);
    e->bytes = e->count / t->block * t->bytes;
}

/* Places in the file instead of those in the data, which begin at `data`. Each tensor begins where
 * the one before it ends, at a multiple of the alignment, as ggml has it. */
static void nc_fp4__gguf_place(nc_fp4__gguf *g, nc_fp4__list *list, size_t first, uint64_t data) {
    const uint64_t room = g->source->bytes > data ? g->source->bytes - data : 0;
    const size_t count = nc_fp4__list_count(list);
    uint64_t past = 0;
    size_t i;
    for (i = first; i < count && g->status == NC_OK; i++) {
        nc_fp4__entry *e = nc_fp4__list_entry(list, i);
        if (e->offset != past)
            g->status = nc__fail(g->err, NC_ERR_FORMAT, 0, 0, "'%.60s' is at byte %llu, not %llu",
                                 list->text.data + e->name_at, (unsigned long long)e->offset,
                                 (unsigned long long)past);
        if (!strncmp(e->dtype, "GGML_", 5)) { /* as far as the next one */
            e->bytes = i + 1 < count ? nc_fp4__list_entry(list, i + 1)->offset : room;
            e->bytes = e->bytes > e->offset ? e->bytes - e->offset : 0;
        }
        if (e->offset > room || e->bytes > room - e->offset)
            g->status = nc__fail(g->err, NC_ERR_FORMAT, 0, 0, "'%.90s' lies outside the file",
                                 list->text.data + e->name_at);
        past = e->offset + e->bytes;
        past += (g->alignment - past % g->alignment) % g->alignment;
        e->offset += data;
        if (e->bytes == 0 && e->offset > g->source->bytes) /* behind what needs no padding */
            e->offset = g->source->bytes;
    }
}

static void nc_fp4__gguf_header(nc_fp4__gguf *g, nc_fp4__list *list, nc__buffer *name,
                                nc__buffer *text) {
    const size_t first = nc_fp4__list_count(list);
    uint64_t version, tensors, pairs, i;
    (void)nc_fp4__gguf_take(g, 4);
    version = nc_fp4__gguf_number(g, 4);
    if (g->status == NC_OK && version != 2 && version != 3)
        g->status = nc__fail(g->err, NC_ERR_UNSUPPORTED, 0, 0,
                             version & 0xFFFF ? "GGUF of version %u: only 2 and 3 are read"
                                              : "GGUF in big-endian order (%u)",
                             (unsigned)version);
    tensors = nc_fp4__gguf_number(g, 8);
    pairs = nc_fp4__gguf_number(g, 8);
    for (i = 0; i < pairs && g->status == NC_OK; i++) nc_fp4__gguf_pair(g, list, name, text);
    for (i = 0; i < tensors && g->status == NC_OK; i++) {
        nc_fp4__entry e;
        nc_fp4__gguf_info(g, &e, name);
        if (g->status == NC_OK) g->status = nc_fp4__list_add(list, &e, g->err);
    }
    if (g->status != NC_OK) return;
    g->at += (g->alignment - g->at % g->alignment) % g->alignment;
    nc_fp4__gguf_place(g, list, first, g->at);
}

static nc_status nc_fp4__list_gguf(nc_fp4__list *list, const nc_fp4_source *source, nc_error *err) {
    nc__buffer name, text;
    nc_fp4__gguf g;
    memset(&name, 0, sizeof name);
    memset(&text, 0, sizeof text);
    memset(&g, 0, sizeof g);
    g.source = source;
    g.alignment = NC_FP4__GGUF_ALIGNMENT;
    g.err = err;
    nc_fp4__gguf_header(&g, list, &name, &text);
    nc_fp4__list_part(list, nc_fp4__list_parts(list) - 1)->alignment = g.alignment;
    nc__buffer_free(&name);
    nc__buffer_free(&text);
    nc__buffer_free(&g.head);
    return g.status;
}

/* -- any of them ------------------------------------------------------------------------------- */

/* What a file's first bytes say: a container, 0 for none that is known. The length of a safetensors
 * header has four zero bytes, a text none. */
static nc_fp4__container nc_fp4__container_of(const uint8_t start[8], uint64_t bytes) {
    if (bytes >= 8 && !memcmp(start, "GGUF", 4)) return NC_FP4__IN_GGUF;
    if (bytes >= 8 && !memcmp(start, "\x93NUMPY", 6)) return NC_FP4__IN_NPY;
    if (bytes >= 10 && !nc__get_le(start + 4, 4)) return NC_FP4__IN_SAFETENSORS;
    return (nc_fp4__container)0;
}

/* Append the tensors and metadata of a source, which must last as long as the list; with `opened`
 * the list closes it, also after a failure. */
static nc_status nc_fp4__list_source(nc_fp4__list *list, const nc_fp4_source *source, int opened,
                                     nc_error *err) {
    const uint64_t bytes = source->bytes;
    nc_fp4__part part;
    uint8_t start[8] = {0};
    nc_status status;
    memset(&part, 0, sizeof part);
    part.source = *source;
    part.opened = opened;
    part.path_at = SIZE_MAX;
    nc__buffer_put(&list->parts, &part, sizeof part);
    if (list->parts.status != NC_OK) {
#ifndef NC_NO_STDIO
        if (opened) nc_fp4_source_close(&part.source);
#endif
        return nc__fail(err, NC_ERR_MEMORY, 0, 0, "out of memory");
    }
    status = nc_fp4__source_read(source, 0, start, bytes < 8 ? (size_t)bytes : 8, err);
    if (status != NC_OK) return status;
    part.container = nc_fp4__container_of(start, bytes);
    nc_fp4__list_part(list, nc_fp4__list_parts(list) - 1)->container = part.container;
    if (part.container == NC_FP4__IN_SAFETENSORS)
        status = nc_fp4__list_safetensors(list, source, err);
    else if (part.container == NC_FP4__IN_GGUF)
        status = nc_fp4__list_gguf(list, source, err);
    else if (part.container == NC_FP4__IN_NPY)
        status = nc_fp4__list_npy(list, source, err);
    else
        status = nc__fail(err, NC_ERR_FORMAT, 0, 0, "neither safetensors nor GGUF nor .npy");
    nc_fp4__list_point(list);
    return status;
}

#ifndef NC_NO_STDIO
/* -- shards: an index (JSON) names the file of every tensor ------------------------------------ */

/* The file `name` beside `path`. */
static nc_status nc_fp4__path_beside(char *out, size_t room, const char *path, const char *name,
                                     nc_error *err) {
    const size_t n = nc__folder_bytes(path);
    if (*name == '/' || *name == '\\' || strstr(name, "..") || strchr(name, ':') || !*name)
        return nc__fail(err, NC_ERR_FORMAT, 0, 0, "the shard '%.90s' is no file beside its index",
                        name);
    if (n + strlen(name) >= room) return nc__fail(err, NC_ERR_ARG, 0, 0, "a path is too long");
    memcpy(out, path, n);
    memcpy(out + n, name, strlen(name) + 1);
    return NC_OK;
}

/* The part that an index calls so, opened and listed when it is met first; SIZE_MAX after a
 * failure. */
static size_t nc_fp4__list_shard(nc_fp4__list *list, const char *path, const char *name,
                                 nc__text *t) {
    char beside[2048];
    nc_fp4_source source;
    nc_status status;
    size_t i, at;
    for (i = 0; i < nc_fp4__list_parts(list); i++) {
        at = nc_fp4__list_part(list, i)->path_at;
        if (at != SIZE_MAX && !strcmp(list->text.data + at, name)) return i;
    }
    status = nc_fp4__path_beside(beside, sizeof beside, path, name, t->err);
    if (status == NC_OK) status = nc_fp4_source_open(&source, beside, t->err);
    if (status == NC_OK) status = nc_fp4__list_source(list, &source, 1, t->err);
    if (status == NC_OK) {
        at = nc_fp4__list_keep(list, name, strlen(name));
        status = list->text.status;
    }
    if (status != NC_OK) {
        t->status = status;
        return SIZE_MAX;
    }
    nc_fp4__list_part(list, i)->path_at = at;
    nc_fp4__list_point(list);
    return i;
}

/* The weight_map: each tensor's file, which must have it. */
static void nc_fp4__index_map(nc_fp4__list *list, const char *path, nc__text *t) {
    nc__buffer words;
    int first = 1;
    memset(&words, 0, sizeof words);
    nc__json_expect(t, '{');
    while (nc__json_more(t, '}', &first)) {
        const nc_fp4__entry *e;
        size_t name, part;
        words.used = 0;
        name = nc__json_whole(t, &words) + 1;
        nc__json_expect(t, ':');
        (void)nc__json_whole(t, &words);
        if (t->status != NC_OK || !words.data) break;
        part = nc_fp4__list_shard(list, path, words.data + name, t);
        if (t->status != NC_OK) break;
        e = nc_fp4__list_find(list, words.data);
        if (!e || e->source != part)
            (void)nc__text_fail(t, NC_ERR_MISMATCH,
                                "'%.50s' is not in '%.50s', as the index has it", words.data,
                                words.data + name);
    }
    nc__buffer_free(&words);
}

/* A Hugging Face index: {"metadata": {..}, "weight_map": {"NAME": "FILE", ..}}. */
static nc_status nc_fp4__list_index(nc_fp4__list *list, const char *path, nc_error *err) {
    uint8_t *data;
    size_t bytes;
    nc__text t;
    int first = 1, map = 0;
    nc_status status = nc__file_read(path, NULL, &data, &bytes, err);
    if (status != NC_OK) return status;
    nc__text_open(&t, data, bytes, err);
    nc__json_expect(&t, '{');
    while (nc__json_more(&t, '}', &first)) {
        char key[16];
        const size_t length = nc__json_string(&t, key, sizeof key);
        nc__json_expect(&t, ':');
        if (length != 10 || strcmp(key, "weight_map") != 0) {
            nc__json_skip(&t);
            continue;
        }
        nc_fp4__index_map(list, path, &t);
        map = 1;
    }
    if (!map) (void)nc__text_fail(&t, NC_ERR_FORMAT, "no weight_map: not an index of shards");
    nc__free(NULL, data, 0);
    return t.status;
}

/* The other files of a split GGUF: "NAME-00001-of-00003.gguf" and its split.count say how many. */
static nc_status nc_fp4__list_splits(nc_fp4__list *list, const char *path, nc_error *err) {
    const size_t part = nc_fp4__list_parts(list) - 1, n = strlen(path);
    const int gguf = nc_fp4__list_part(list, part)->container == NC_FP4__IN_GGUF;
    const char *count = gguf ? nc_fp4__list_value(list, (uint32_t)part, "split.count") : NULL;
    const unsigned long most = count ? strtoul(count, NULL, 10) : 0;
    unsigned long i;
    char other[2048], tail[40];
    nc_status status = NC_OK;
    if (most < 2) return NC_OK;
    snprintf(tail, sizeof tail, "-00001-of-%05lu.gguf", most);
    if (n < strlen(tail) || n >= sizeof other || strcmp(path + n - strlen(tail), tail) != 0)
        return nc__fail(err, NC_ERR_MISMATCH, 0, 0,
                        "one of %lu files: give the first, whose name ends in '%s'", most, tail);
    memcpy(other, path, n + 1);
    for (i = 2; i <= most && status == NC_OK; i++) {
        nc_fp4_source source;
        snprintf(other + n - strlen(tail), sizeof other - n + strlen(tail), "-%05lu-of-%05lu.gguf",
                 i, most);
        status = nc_fp4_source_open(&source, other, err);
        if (status == NC_OK) status = nc_fp4__list_source(list, &source, 1, err);
    }
    return status;
}

/* Append what a path leads to: a file of tensors, the first of a split GGUF and the others, or an
 * index and the shards beside it. */
static nc_status nc_fp4__list_path(nc_fp4__list *list, const char *path, nc_error *err) {
    uint8_t start[8] = {0};
    nc_fp4_source source;
    size_t i = 0;
    nc_status status = nc_fp4_source_open(&source, path, err);
    if (status != NC_OK) return status;
    if (source.bytes >= 8) status = nc_fp4__source_read(&source, 0, start, 8, err);
    while (i < 8 && nc__is_space(start[i])) i++;
    if (status == NC_OK &&
        (i == 8 || start[i] != '{' || nc_fp4__container_of(start, source.bytes))) {
        status = nc_fp4__list_source(list, &source, 1, err);
        return status == NC_OK ? nc_fp4__list_splits(list, path, err) : status;
    }
    nc_fp4_source_close(&source);
    return status == NC_OK ? nc_fp4__list_index(list, path, err) : status;
}
#endif

NC__COLD_END

/* -- values of a float type -------------------------------------------------------------------- */

/* n values from the bytes of a file as float32; `to` may begin before or at `from` in the same
 * memory. */
static void nc_fp4__widen(const nc_fp4__entry *e, const uint8_t *from, size_t n, float *to) {
    nc__item item;
    size_t i;
    uint8_t swapped[8];
    uint32_t k;
    memset(&item, 0, sizeof item);
    memcpy(item.dtype, e->dtype, sizeof item.dtype);
    item.width = e->bits / 8;
    if (!e->big_endian && item.width == 4 && nc_fp4__is_little()) {
        memmove(to, from, n * sizeof *to);
        return;
    }
    if (!e->big_endian && item.width == 4) {
        for (i = 0; i < n; i++)
            to[i] =
                nc_fp4__float((uint32_t)from[4 * i] | (uint32_t)from[4 * i + 1] << 8 |
                              (uint32_t)from[4 * i + 2] << 16 | (uint32_t)from[4 * i + 3] << 24);
        return;
    }
    if (!e->big_endian && !strcmp(e->dtype, "BF16")) {
        for (i = 0; i < n; i++)
            to[i] = nc_fp4__float((uint32_t)from[2 * i] << 16 | (uint32_t)from[2 * i + 1] << 24);
        return;
    }
    if (!e->big_endian && !strcmp(e->dtype, "F16")) {
        for (i = 0; i < n; i++)
            to[i] = nc__half((uint32_t)from[2 * i] | (uint32_t)from[2 * i + 1] << 8);
        return;
    }
    for (i = 0; i < n; i++) {
        item.data = from + i * item.width;
        if (e->big_endian) {
            for (k = 0; k < item.width; k++) swapped[k] = item.data[item.width - 1 - k];
            item.data = swapped;
        }
        to[i] = nc__item_float(&item, 0);
    }
}

/* Values first .. first + n - 1 as they follow each other in the file. The bytes are read into the
 * end of their own room, so that no further memory is needed. */
static nc_status nc_fp4__read_run(const nc_fp4_source *source, const nc_fp4__entry *e,
                                  uint64_t first, size_t n, float *x, nc_error *err) {
    const size_t width = e->bits / 8;
    nc_status status = NC_OK;
    uint8_t one[8] = {0};
    while (n && status == NC_OK) {
        const size_t k = width <= 4 ? n : n / 2;
        uint8_t *raw = k ? (uint8_t *)(x + n) - k * width : one;
        status =
            nc_fp4__source_read(source, e->offset + first * width, raw, (k ? k : 1) * width, err);
        if (status != NC_OK) break;
        nc_fp4__widen(e, raw, k ? k : 1, x);
        first += k ? k : 1;
        x += k ? k : 1;
        n -= k ? k : 1;
    }
    return status;
}

/* The same in C order from a file in Fortran's, where the first dimension is the fastest: in runs
 * of values that are alike but for it. */
static nc_status nc_fp4__read_fortran(const nc_fp4_source *source, const nc_fp4__entry *e,
                                      uint64_t first, size_t n, float *x, nc_error *err) {
    const size_t apart = (size_t)(n ? e->count / e->shape[0] : 0);
    nc_status status = NC_OK;
    float run[256];
    size_t i, k, done, m;
    for (i = 0; i < n && i < apart; i++) {
        uint64_t at = (first + i) / apart, rest = (first + i) % apart, stride = e->count;
        for (k = e->rank - 1; k > 0; k--) {
            stride /= e->shape[k];
            at += rest % e->shape[k] * stride;
            rest /= e->shape[k];
        }
        for (done = 0; i + done * apart < n && status == NC_OK; done += m) {
            m = (n - i - done * apart - 1) / apart + 1;
            if (m > 256) m = 256;
            status = nc_fp4__read_run(source, e, at + done, m, run, err);
            for (k = 0; k < m && status == NC_OK; k++) x[i + (done + k) * apart] = run[k];
        }
    }
    return status;
}

/* Values first .. first + n - 1 of a float tensor, in C order whatever the file's.
 * NC_ERR_UNSUPPORTED for a tensor of another type. */
static nc_status nc_fp4__read_floats(const nc_fp4__list *list, const nc_fp4__entry *e,
                                     uint64_t first, size_t n, float *x, nc_error *err) {
    const nc_fp4_source *source = &nc_fp4__list_part(list, e->source)->source;
    if (!nc__is_float(e->dtype))
        return nc__fail(err, NC_ERR_UNSUPPORTED, 0, 0, "'%.90s' is %s, no float", e->name,
                        e->dtype);
    if (first > e->count || n > e->count - first)
        return nc__fail(err, NC_ERR_ARG, 0, 0, "'%.90s' has only %llu values", e->name,
                        (unsigned long long)e->count);
    return e->fortran ? nc_fp4__read_fortran(source, e, first, n, x, err)
                      : nc_fp4__read_run(source, e, first, n, x, err);
}

/* The nearest float16, ties to even; what lies beyond is infinite, NaN keeps what fits of it. */
static uint32_t nc_fp4__to_half(float x) {
    const uint32_t u = nc_fp4__bits(x), sign = u >> 16 & 0x8000, a = u & UINT32_C(0x7FFFFFFF);
    if (a > UINT32_C(0x7F800000)) return sign | 0x7E00 | (a >> 13 & 0x3FF);
    if (a >= UINT32_C(0x477FF000)) return sign | 0x7C00; /* 65520 */
    if (a < UINT32_C(0x38800000))                        /* 2^-14: the sum is rounded to 2^-24 */
        return sign | (nc_fp4__bits(nc_fp4__float(a) + 0.5f) - UINT32_C(0x3F000000));
    return sign | (a - UINT32_C(0x38000000) + 0xFFF + (a >> 13 & 1)) >> 13;
}

/* The nearest bfloat16, ties to even; NaN keeps what fits of it and becomes a quiet one. */
static uint32_t nc_fp4__to_bfloat(float x) {
    const uint32_t u = nc_fp4__bits(x);
    const int nan = (u & UINT32_C(0x7FFFFFFF)) > UINT32_C(0x7F800000);
    return nan ? u >> 16 | 64 : (u + 0x7FFF + (u >> 16 & 1)) >> 16;
}

/* n values as the bytes of F32, F16 or BF16, to the nearest, ties to even; 0 for another type. */
static int nc_fp4__narrow(const char *dtype, const float *x, size_t n, uint8_t *to) {
    size_t i;
    if (!strcmp(dtype, "F32") && nc_fp4__is_little()) {
        if (n) memcpy(to, x, n * sizeof *x);
    } else if (!strcmp(dtype, "F32")) {
        for (i = 0; i < n; i++) nc__put_le(to + 4 * i, nc_fp4__bits(x[i]), 4);
    } else if (!strcmp(dtype, "F16")) {
        for (i = 0; i < n; i++) nc__put_le(to + 2 * i, nc_fp4__to_half(x[i]), 2);
    } else if (!strcmp(dtype, "BF16")) {
        for (i = 0; i < n; i++) nc__put_le(to + 2 * i, nc_fp4__to_bfloat(x[i]), 2);
    } else {
        return 0;
    }
    return 1;
}

/* -- GGUF: blocks of 4 bits -------------------------------------------------------------------- */

/* MXFP4: a scale (E8M0) and 16 bytes for 32 values. NVFP4: four scales (E4M3 without a sign) and 32
 * bytes for 64 values. Of 32 (16) values the first half is in the low nibbles, the second in the
 * high ones (ggml-common.h, block_mxfp4 and block_nvfp4). */
static void nc_fp4__ggml_block(nc_fp4_format format, size_t *values, size_t *scales) {
    *values = format == NC_FP4_MXFP4 ? 32 : 64;
    *scales = format == NC_FP4_MXFP4 ? 1 : 4;
}

/* Bytes of n values, whole blocks. */
static size_t nc_fp4__ggml_bytes(nc_fp4_format format, size_t n) {
    size_t values, scales;
    nc_fp4__ggml_block(format, &values, &scales);
    return n / values * (scales + values / 2);
}

/* What ggml takes a scale of NVFP4 for, which has no sign and no NaN: 0x7F is zero. 0xFF, that is
 * 480 there, has no E4M3 and stays NaN. */
static uint8_t nc_fp4__ggml_scale(uint8_t scale) {
    if (scale == 0xFF) return 0x7F;
    return scale == 0x7F ? 0 : scale & 0x7F;
}

/* n values of blocks, whole ones, to the codes and scales of a row. The codes are the file's; a
 * scale of MXFP4 of 255, NaN by its definition, is 2^128 for ggml. */
static void nc_fp4__ggml_unpack(nc_fp4_format format, const uint8_t *blocks, size_t n,
                                uint8_t *codes, uint8_t *scales) {
    size_t values, parts, i, k;
    nc_fp4__ggml_block(format, &values, &parts);
    for (i = 0; i < n / values; i++, blocks += parts + values / 2) {
        for (k = 0; k < parts; k++)
            scales[i * parts + k] = parts == 1 ? blocks[k] : nc_fp4__ggml_scale(blocks[k]);
        memcpy(codes + i * values / 2, blocks + parts, values / 2);
    }
    (void)nc_fp4_reorder(codes, codes, n, NC_FP4_SPLIT, NC_FP4_LOW_FIRST, values / parts);
}

/* The other way; NC_ERR_UNSUPPORTED for scales that mean something else to ggml (below 0, NaN). */
static nc_status nc_fp4__ggml_pack(nc_fp4_format format, const uint8_t *codes,
                                   const uint8_t *scales, size_t n, uint8_t *blocks) {
    size_t values, parts, i, k;
    uint8_t *behind; /* the codes wait behind the scales' room, and each block moves forward */
    nc_fp4__ggml_block(format, &values, &parts);
    behind = blocks + n / values * parts;
    (void)nc_fp4_reorder(behind, codes, n, NC_FP4_LOW_FIRST, NC_FP4_SPLIT, values / parts);
    for (i = 0; i < n / values; i++, blocks += parts + values / 2) {
        for (k = 0; k < parts; k++)
            if (parts == 1 ? scales[i] == 255
                           : nc_fp4__ggml_scale(scales[4 * i + k]) != scales[4 * i + k])
                return NC_ERR_UNSUPPORTED;
        memmove(blocks + parts, behind + i * values / 2, values / 2);
        memcpy(blocks, scales + i * parts, parts);
    }
    return NC_OK;
}

NC__COLD_BEGIN

/* -- GGUF: a header as it is planned ----------------------------------------------------------- */

typedef struct nc_fp4__gguf_head {
    nc__buffer pairs, infos;
    uint64_t pair_count, tensors, at; /* at: bytes of the tensors so far, with their padding */
    uint64_t bytes;                   /* of the last tensor, without it */
    uint32_t alignment;
} nc_fp4__gguf_head;

static void nc_fp4__gguf_open(nc_fp4__gguf_head *h, uint32_t alignment) {
    memset(h, 0, sizeof *h);
    h->alignment = alignment ? alignment : NC_FP4__GGUF_ALIGNMENT;
}

static void nc_fp4__gguf_put_text(nc__buffer *b, const void *text, size_t bytes) {
    nc__buffer_le(b, bytes, 8);
    nc__buffer_put(b, text, bytes);
}

/* A pair of metadata; raw as nc_fp4__pair has it. */
static void nc_fp4__gguf_put_pair(nc_fp4__gguf_head *h, const char *key, uint32_t type,
                                  const void *raw, size_t bytes) {
    nc_fp4__gguf_put_text(&h->pairs, key, strlen(key));
    nc__buffer_le(&h->pairs, type, 4);
    nc__buffer_put(&h->pairs, raw, bytes);
    h->pair_count++;
}

/* A pair whose value is a string. */
static void nc_fp4__gguf_put_word(nc_fp4__gguf_head *h, const char *key, const char *text) {
    uint8_t length[8];
    nc__put_le(length, strlen(text), 8);
    nc_fp4__gguf_put_pair(h, key, NC_FP4__GGUF_STRING, length, 8);
    nc__buffer_put(&h->pairs, text, strlen(text));
}

/* A tensor of a type by its name, shape as nc_fp4__entry has it; its bytes follow those of the one
 * before, and as many zeros as nc_fp4__gguf_padding says. ggml has four dimensions and names of 63
 * bytes at most. */
static nc_status nc_fp4__gguf_put_tensor(nc_fp4__gguf_head *h, const char *name, const char *dtype,
                                         const uint64_t *shape, uint32_t rank, nc_error *err) {
    const nc_fp4__ggml_type *t = NULL;
    uint64_t count = 1;
    size_t i;
    for (i = 0; i < sizeof nc_fp4__ggml_types / sizeof *nc_fp4__ggml_types && !t; i++)
        if (!strcmp(nc_fp4__ggml_types[i].name, dtype)) t = &nc_fp4__ggml_types[i];
    if (!t)
        return nc__fail(err, NC_ERR_UNSUPPORTED, 0, 0, "GGUF has no type '%s' for '%.90s'", dtype,
                        name);
    if (strlen(name) > 63)
        return nc__fail(err, NC_ERR_LIMIT, 0, 0, "'%.70s': GGUF's names have at most 63 bytes",
                        name);
    if (rank > 4)
        return nc__fail(err, NC_ERR_LIMIT, 0, 0, "'%s' has more than four dimensions", name);
    if (t->block > 1 && (rank == 0 || shape[rank - 1] % t->block))
        return nc__fail(err, NC_ERR_UNSUPPORTED, 0, 0,
                        "'%s': rows of %s are multiples of %u in GGUF, not %llu", name, dtype,
                        (unsigned)t->block, (unsigned long long)(rank ? shape[rank - 1] : 1));
    nc_fp4__gguf_put_text(&h->infos, name, strlen(name));
    nc__buffer_le(&h->infos, rank ? rank : 1, 4);
    if (rank == 0) nc__buffer_le(&h->infos, 1, 8);
    for (i = rank; i-- > 0; count *= shape[i]) nc__buffer_le(&h->infos, shape[i], 8);
    nc__buffer_le(&h->infos, t->type, 4);
    nc__buffer_le(&h->infos, h->at, 8);
    h->bytes = count / t->block * t->bytes;
    h->at += h->bytes;
    h->at += (h->alignment - h->at % h->alignment) % h->alignment;
    h->tensors++;
    return h->infos.status == NC_OK ? NC_OK : nc__fail(err, NC_ERR_MEMORY, 0, 0, "out of memory");
}

/* Zeros behind a tensor of so many bytes. */
static NC_UNUSED size_t nc_fp4__gguf_padding(const nc_fp4__gguf_head *h, uint64_t bytes) {
    return (size_t)((h->alignment - bytes % h->alignment) % h->alignment);
}

/* The header, appended to an empty buffer; the plan is released. */
static nc_status nc_fp4__gguf_close(nc_fp4__gguf_head *h, nc__buffer *to) {
    if (h->pairs.status != NC_OK) to->status = h->pairs.status;
    if (h->infos.status != NC_OK) to->status = h->infos.status;
    nc__buffer_put(to, "GGUF\3\0\0\0", 8);
    nc__buffer_le(to, h->tensors, 8);
    nc__buffer_le(to, h->pair_count, 8);
    nc__buffer_put(to, h->pairs.data, h->pairs.used);
    nc__buffer_put(to, h->infos.data, h->infos.used);
    while (to->status == NC_OK && to->used % h->alignment) nc__buffer_put(to, "", 1);
    nc__buffer_free(&h->pairs);
    nc__buffer_free(&h->infos);
    return to->status;
}

NC__COLD_END

/* >>tensors ====================================================================== */

NC__COLD_BEGIN

/* Elements that may share a float32 scale. */
static int nc_fp4__is_block(uint32_t n) { return n >= 32 && n <= 4096 && !(n & (n - 1)); }

/* The row of its format with the block of the tensor; 0: the tensor is none. */
static int nc_fp4__tensor_row(const nc_fp4_tensor *tensor, nc_fp4__row *row) {
    const nc_fp4__row *of = tensor ? nc_fp4__row_of(tensor->format) : NULL;
    const uint32_t block = of && tensor->block ? tensor->block : of ? of->block : 0;
    if (!of) return 0;
    *row = *of;
    if (of->scale != NC_FP4__FLOAT32)
        return !tensor->across && block == of->block &&
               (!tensor->divides || of->scale == NC_FP4__E4M3);
    row->block = (uint16_t)block;
    return nc_fp4__is_block(block) && !tensor->divides;
}

/* Bytes of the scales of n elements in a row. */
static size_t nc_fp4__scale_bytes(const nc_fp4__row *row, size_t n) {
    if (!row->block) return 0;
    return (n / row->block + (n % row->block != 0)) * nc_fp4__scales[row->scale].bytes;
}

NC_API size_t nc_fp4_tensor_scale_bytes(const nc_fp4_tensor *tensor) {
    nc_fp4__row row;
    if (!nc_fp4__tensor_row(tensor, &row)) return 0;
    return tensor->across ? nc_fp4__scale_bytes(&row, (size_t)tensor->rows * tensor->columns)
                          : tensor->rows * nc_fp4__scale_bytes(&row, tensor->columns);
}

/* Memory for a tensor whose block and across are set; 0: there is none, and the tensor is
 * zeroed. */
static int nc_fp4__tensor_alloc(nc_fp4_tensor *tensor, nc_fp4_format format, uint32_t rows,
                                uint32_t columns) {
    tensor->format = format;
    tensor->rows = rows;
    tensor->columns = columns;
    tensor->tensor_scale = 1.0f;
    tensor->codes = (uint8_t *)nc__alloc(NULL, rows * nc_fp4_code_bytes(columns));
    tensor->scales = (uint8_t *)nc__alloc(NULL, nc_fp4_tensor_scale_bytes(tensor));
    if (tensor->codes && tensor->scales) return 1;
    nc_fp4_tensor_free(tensor);
    return 0;
}

/* Codes that follow each other without a gap, to rows that begin at a byte each. */
static void nc_fp4__part_rows(uint8_t *out, const uint8_t *codes, uint32_t rows, uint32_t columns) {
    const size_t row_bytes = nc_fp4_code_bytes(columns);
    size_t i = 0, r, c;
    if (columns % 2 == 0) {
        memcpy(out, codes, rows * row_bytes);
        return;
    }
    for (r = 0; r < rows; r++, out += row_bytes)
        for (c = 0; c < columns; c += 2, i += 2) {
            const uint32_t high = c + 1 < columns ? nc_fp4__code_at(codes, i + 1) : 0;
            out[c / 2] = (uint8_t)(nc_fp4__code_at(codes, i) | high << 4);
            i -= c + 1 == columns;
        }
}

NC_API nc_status nc_fp4_tensor_create(nc_fp4_tensor *tensor, nc_fp4_format format,
                                      const nc_fp4_options *options, const float *x, uint32_t rows,
                                      uint32_t columns) {
    const nc_fp4__row *row = nc_fp4__row_of(format);
    const size_t code_bytes = nc_fp4_code_bytes(columns);
    const size_t scale_bytes = nc_fp4_scale_bytes(format, columns);
    nc_fp4_options o = {NC_FP4_SCALE_FLOOR, 0, 0, NC_FP4_AS_DEFINED, 0};
    nc_status status;
    uint32_t r;
    if (!tensor) return NC_ERR_ARG;
    memset(tensor, 0, sizeof *tensor);
    if (!row || !x || rows == 0 || columns == 0) return NC_ERR_ARG;
    if ((uint64_t)rows * columns >> 31) return NC_ERR_LIMIT;
    if (options) o = *options;
    status = nc_fp4__options_fit(row, &o);
    if (status != NC_OK) return status;
    if (!nc_fp4__tensor_alloc(tensor, format, rows, columns)) return NC_ERR_MEMORY;
    tensor->tensor_scale = nc_fp4__tensor_scale(row, &o, x, (size_t)rows * columns);
    for (r = 0; r < rows; r++) { /* other rows, other random numbers */
        nc_fp4_options own = o;
        uint64_t first = 0;
        if (row->scale == NC_FP4__E4M3)
            first = (uint64_t)r << 32;
        else
            own.seed = o.seed + r;
        nc_fp4__quantize_blocks(row, &own, x + (size_t)r * columns, columns, first,
                                tensor->tensor_scale, tensor->codes + r * code_bytes,
                                tensor->scales + r * scale_bytes);
    }
    tensor->divides = nc_fp4__scale_divides(row, &o);
    return NC_OK;
}

NC_API nc_status nc_fp4_tensor_create_blocks(nc_fp4_tensor *tensor, nc_fp4_format format,
                                             const nc_fp4_options *options, uint32_t block,
                                             int across, const float *x, uint32_t rows,
                                             uint32_t columns) {
    const size_t n = nc__mul_size(rows, columns);
    const uint32_t pieces = across ? 1 : rows; /* which are quantised by themselves */
    nc_fp4_options o;
    nc_fp4__row row;
    uint8_t *codes;
    nc_status status;
    uint32_t r;
    if (!tensor) return NC_ERR_ARG;
    memset(tensor, 0, sizeof *tensor);
    tensor->format = format;
    tensor->block = block;
    tensor->across = across != 0;
    memset(&o, 0, sizeof o);
    if (options) o = *options;
    if (!nc_fp4__tensor_row(tensor, &row) || row.scale != NC_FP4__FLOAT32 || !x || n == 0)
        status = NC_ERR_ARG;
    else
        status = nc_fp4__options_fit(&row, &o);
    if (status == NC_OK && n >> 31) status = NC_ERR_LIMIT;
    if (status != NC_OK) {
        memset(tensor, 0, sizeof *tensor);
        return status;
    }
    if (!nc_fp4__tensor_alloc(tensor, format, rows, columns)) return NC_ERR_MEMORY;
    codes = across ? (uint8_t *)nc__alloc(NULL, nc_fp4_code_bytes(n)) : tensor->codes;
    if (!codes) {
        nc_fp4_tensor_free(tensor);
        return NC_ERR_MEMORY;
    }
    for (r = 0; r < pieces; r++, o.seed++)
        nc_fp4__quantize_blocks(&row, &o, x + r * (n / pieces), n / pieces, 0, 1.0f,
                                codes + r * nc_fp4_code_bytes(n / pieces),
                                tensor->scales + r * nc_fp4__scale_bytes(&row, n / pieces));
    if (across) {
        nc_fp4__part_rows(tensor->codes, codes, rows, columns);
        nc__free(NULL, codes, 0);
    }
    return NC_OK;
}

NC_API void nc_fp4_tensor_free(nc_fp4_tensor *tensor) {
    if (!tensor) return;
    nc__free(NULL, tensor->codes, 0);
    nc__free(NULL, tensor->scales, 0);
    nc__free(NULL, tensor->tiles, 0);
    memset(tensor, 0, sizeof *tensor);
}

/* Value of scale `block` of those given, of a tensor of that row. */
static float nc_fp4__tensor_scale_at(const nc_fp4_tensor *tensor, const nc_fp4__row *row,
                                     const uint8_t *scales, size_t block) {
    return tensor->divides ? nc_fp4_e4m3_decode(scales[block]) / tensor->tensor_scale
                           : nc_fp4__read_scale(row, scales, block, tensor->tensor_scale);
}

NC_API nc_status nc_fp4_tensor_decode(const nc_fp4_tensor *tensor, float *x) {
    const int plain = tensor && !tensor->across && !tensor->divides;
    size_t code_bytes, scale_bytes, c;
    nc_fp4__row row;
    uint32_t r;
    if (!nc_fp4__tensor_row(tensor, &row) || !tensor->codes || !x) return NC_ERR_ARG;
    code_bytes = nc_fp4_code_bytes(tensor->columns);
    scale_bytes = tensor->across ? 0 : nc_fp4__scale_bytes(&row, tensor->columns);
    for (r = 0; r < tensor->rows; r++, x += tensor->columns) {
        const uint8_t *codes = tensor->codes + r * code_bytes;
        const uint8_t *scales = tensor->scales + r * scale_bytes;
        const size_t first = tensor->across ? (size_t)r * tensor->columns : 0;
        if (plain)
            nc_fp4__dequantize(&row, codes, scales, tensor->tensor_scale, tensor->columns, x);
        for (c = 0; c < tensor->columns && !plain; c++)
            x[c] = row.element->value[nc_fp4__code_at(codes, c)] *
                   nc_fp4__tensor_scale_at(tensor, &row, scales, (first + c) / row.block);
    }
    return NC_OK;
}

/* -- files: safetensors and .npy -------------------------------------------------------------- */

/* What a writer has put together, to the caller, who has it released by nc_fp4_free_text. */
static nc_status nc_fp4__hand_over(nc__buffer *to, char **data, size_t *bytes) {
    if (nc__buffer_add(to, 0)) { /* memory even for nothing */
        *data = to->data;
        *bytes = to->used;
        return NC_OK;
    }
    nc__free(NULL, to->data, to->room);
    return to->status;
}

/* The three parts of a tensor in a file; and what the metadata say of it: format and columns. */
static const char *const nc_fp4__suffixes[3] = {"", "_scale", "_tensor_scale"};
#define NC_FP4__OWN_KEY ".nc_fp4"

static nc_fp4_format nc_fp4__format_of(const nc_fp4__row *row) {
    return (nc_fp4_format)(row - nc_fp4__formats);
}

/* A name with an ending, of any length, in key->data until the next call; null without memory. */
static const char *nc_fp4__key(nc__buffer *key, const char *name, const char *suffix) {
    key->used = 0;
    nc__buffer_put(key, name, strlen(name));
    nc__buffer_put(key, suffix, strlen(suffix));
    return key->status == NC_OK ? key->data : NULL;
}

/* Append a tensor of ours to a header: "NAME.nc_fp4": "FORMAT COLUMNS", and its parts. */
static void nc_fp4__own_head(nc__head *head, const char *name, const nc_fp4__row *row,
                             uint32_t rows, uint32_t columns, int part) {
    const size_t width = nc_fp4__scales[row->scale].bytes;
    nc__buffer key;
    uint64_t shape[2];
    char text[40];
    memset(&key, 0, sizeof key);
    shape[0] = part < 2 ? rows : 1;
    shape[1] = part == 0
                   ? nc_fp4_code_bytes(columns)
                   : nc_fp4_scale_bytes(nc_fp4__format_of(row), columns) / (width ? width : 1);
    snprintf(text, sizeof text, "%s %u", row->name, (unsigned)columns);
    if (!nc_fp4__key(&key, name, part < 0 ? NC_FP4__OWN_KEY : nc_fp4__suffixes[part]))
        head->b.status = key.status;
    else if (part < 0)
        nc__head_pair(head, key.data, text);
    else if (part == 0 || (part == 1 && width) || (part == 2 && row->scale == NC_FP4__E4M3))
        nc__head_tensor(head, key.data,
                        part == 0   ? "U8"
                        : part == 1 ? nc_fp4__scales[row->scale].dtype
                                    : "F32",
                        shape, part < 2 ? 2 : 1);
    nc__buffer_free(&key);
}

NC_API nc_status nc_fp4_tensor_save(const nc_fp4_tensor *tensor, const char *name, char **data,
                                    size_t *bytes) {
    const nc_fp4__row *row = tensor ? nc_fp4__row_of(tensor->format) : NULL;
    nc__head head;
    int part;
    if (data) *data = NULL;
    if (!data || !bytes) return NC_ERR_ARG;
    *bytes = 0;
    if (!row || !tensor->codes || !name || !*name) return NC_ERR_ARG;
    if (tensor->across || tensor->divides || (tensor->block && tensor->block != row->block))
        return NC_ERR_UNSUPPORTED; /* this layout has no words for these */
    nc__head_open(&head, NULL);
    for (part = -1; part < 3; part++)
        nc_fp4__own_head(&head, name, row, tensor->rows, tensor->columns, part);
    (void)nc__head_close(&head);
    nc__buffer_put(&head.b, tensor->codes, tensor->rows * nc_fp4_code_bytes(tensor->columns));
    nc__buffer_put(&head.b, tensor->scales,
                   tensor->rows * nc_fp4_scale_bytes(tensor->format, tensor->columns));
    if (row->scale == NC_FP4__E4M3) nc__buffer_le(&head.b, nc_fp4__bits(tensor->tensor_scale), 4);
    return nc_fp4__hand_over(&head.b, data, bytes);
}

/* What a file says of a tensor of ours. */
typedef struct nc_fp4__own {
    const nc_fp4__entry *part[3]; /* null: it is not there */
    const nc_fp4__row *row;
    uint32_t rows, columns;
} nc_fp4__own;

/* "FORMAT COLUMNS"; 0 for a text that says anything else. */
static int nc_fp4__own_text(nc_fp4__own *own, const char *text) {
    uint64_t columns;
    nc__text t;
    size_t n;
    int k;
    for (k = 0; k < NC_FP4_FORMAT_COUNT; k++) {
        n = strlen(nc_fp4__formats[k].name);
        if (strncmp(text, nc_fp4__formats[k].name, n) != 0 || text[n] != ' ') continue;
        nc__text_open(&t, text + n + 1, strlen(text + n + 1), NULL);
        columns = nc__json_natural(&t, INT32_MAX);
        own->row = &nc_fp4__formats[k];
        own->columns = (uint32_t)columns;
        return t.status == NC_OK && t.at == t.end;
    }
    return 0;
}

/* Format and columns: by the tensor's own pair, or by those of the whole file, "format" and
 * "columns", that version 0.1.0 wrote before. */
static nc_status nc_fp4__own_describe(const nc_fp4__list *list, const char *name, nc_fp4__own *own,
                                      nc__buffer *key, nc_error *err) {
    const nc_fp4__entry *codes = own->part[0];
    const char *text = NULL;
    if (nc_fp4__key(key, name, NC_FP4__OWN_KEY))
        text = nc_fp4__list_value(list, codes->source, key->data);
    if (text)
        return nc_fp4__own_text(own, text)
                   ? NC_OK
                   : nc__fail(err, NC_ERR_UNSUPPORTED, 0, 0, "'%.50s' is '%.50s', not known here",
                              key->data, text);
    text = nc_fp4__list_value(list, codes->source, "format");
    key->used = 0;
    nc__buffer_print(key, "%s ", text ? text : "");
    text = nc_fp4__list_value(list, codes->source, "columns");
    if (text)
        nc__buffer_print(key, "%s", text);
    else
        nc__buffer_print(key, "%llu", 2 * (unsigned long long)codes->shape[1]);
    if (key->status != NC_OK) return nc__fail(err, NC_ERR_MEMORY, 0, 0, "out of memory");
    return nc_fp4__own_text(own, key->data)
               ? NC_OK
               : nc__fail(err, NC_ERR_MISMATCH, 0, 0,
                          "the metadata do not say in which format '%.64s' is", name);
}

/* Whether the parts are those of a matrix in this format; F8_E8M0, F8_E4M3 and F4 say of scales and
 * of whole bytes of E2M1 codes what they are. */
static nc_status nc_fp4__own_check(nc_fp4__own *own, const char *name, nc_error *err) {
    const nc_fp4__entry *codes = own->part[0], *scales = own->part[1], *scale = own->part[2];
    const nc_fp4__row *row = own->row;
    const char *other = row->scale == NC_FP4__E8M0   ? "F8_E8M0"
                        : row->scale == NC_FP4__E4M3 ? "F8_E4M3"
                                                     : "F32";
    const uint64_t rows = codes->rank == 2 ? codes->shape[0] : 0, columns = own->columns;
    const int packed = !strcmp(codes->dtype, "F4") && row->element == &nc_fp4__e2m1;
    if (rows == 0 || rows >> 31 || columns == 0 || rows * columns >> 31 ||
        (strcmp(codes->dtype, "U8") != 0 && !packed) ||
        codes->shape[1] != (packed ? columns : nc_fp4_code_bytes((size_t)columns)) ||
        codes->bytes != rows * nc_fp4_code_bytes((size_t)columns))
        return nc__fail(err, NC_ERR_FORMAT, 0, 0, "'%.64s': codes of a wrong shape or type", name);
    own->rows = (uint32_t)rows;
    if (row->block &&
        (!scales ||
         scales->bytes != rows * nc_fp4_scale_bytes(nc_fp4__format_of(row), (size_t)columns) ||
         (strcmp(scales->dtype, nc_fp4__scales[row->scale].dtype) != 0 &&
          strcmp(scales->dtype, other) != 0)))
        return nc__fail(err, NC_ERR_FORMAT, 0, 0, "'%.64s': scales of a wrong shape or type", name);
    if (row->scale == NC_FP4__E4M3 &&
        (!scale || scale->count != 1 || strcmp(scale->dtype, "F32") != 0))
        return nc__fail(err, NC_ERR_FORMAT, 0, 0, "'%.64s': no tensor scale", name);
    return NC_OK;
}

/* The parts of a tensor of ours in a list. */
static nc_status nc_fp4__own_find(const nc_fp4__list *list, const char *name, nc_fp4__own *own,
                                  nc_error *err) {
    nc_status status = NC_OK;
    nc__buffer key;
    int k;
    memset(&key, 0, sizeof key);
    memset(own, 0, sizeof *own);
    for (k = 0; k < 3 && status == NC_OK; k++) {
        if (nc_fp4__key(&key, name, nc_fp4__suffixes[k]))
            own->part[k] = nc_fp4__list_find(list, key.data);
        else
            status = nc__fail(err, NC_ERR_MEMORY, 0, 0, "out of memory");
    }
    if (status == NC_OK && !own->part[0])
        status = nc__fail(err, NC_ERR_MISMATCH, 0, 0, "there is no tensor '%.64s'", name);
    if (status == NC_OK && own->part[0]) status = nc_fp4__own_describe(list, name, own, &key, err);
    if (status == NC_OK && own->row) status = nc_fp4__own_check(own, name, err);
    nc__buffer_free(&key);
    return status;
}

/* A whole entry's bytes. */
static nc_status nc_fp4__read_entry(const nc_fp4__list *list, const nc_fp4__entry *e, void *to,
                                    nc_error *err) {
    if (!e) return nc__fail(err, NC_ERR_FORMAT, 0, 0, "a part of the tensor is missing");
    return nc_fp4__source_read(&nc_fp4__list_part(list, e->source)->source, e->offset, to,
                               (size_t)e->bytes, err);
}

/* A tensor of ours; its memory is the caller's to release. */
static nc_status nc_fp4__own_read(const nc_fp4__list *list, const char *name, nc_fp4_tensor *tensor,
                                  nc_error *err) {
    nc_fp4__own own;
    nc_status status = nc_fp4__own_find(list, name, &own, err);
    if (status != NC_OK || !own.row) return status;
    if (!nc_fp4__tensor_alloc(tensor, nc_fp4__format_of(own.row), own.rows, own.columns))
        return nc__fail(err, NC_ERR_MEMORY, 0, 0, "out of memory");
    status = nc_fp4__read_entry(list, own.part[0], tensor->codes, err);
    if (status == NC_OK && own.row->block)
        status = nc_fp4__read_entry(list, own.part[1], tensor->scales, err);
    if (status == NC_OK && own.row->scale == NC_FP4__E4M3 && own.part[2])
        status = nc_fp4__read_floats(list, own.part[2], 0, 1, &tensor->tensor_scale, err);
    if (status != NC_OK) nc_fp4_tensor_free(tensor);
    return status;
}

NC_API nc_status nc_fp4_tensor_load(nc_fp4_tensor *tensor, const char *name, const void *data,
                                    size_t bytes, nc_error *err) {
    nc_fp4_source source;
    nc_fp4__list list;
    nc_status status;
    nc__clear(err);
    if (!tensor) return nc__fail(err, NC_ERR_ARG, 0, 0, "no tensor");
    memset(tensor, 0, sizeof *tensor);
    if (!name || !*name || !data) return nc__fail(err, NC_ERR_ARG, 0, 0, "no name or no data");
    memset(&list, 0, sizeof list);
    nc_fp4_source_memory(&source, data, bytes);
    status = nc_fp4__list_source(&list, &source, 0, err);
    if (status == NC_OK) status = nc_fp4__own_read(&list, name, tensor, err);
    nc_fp4__list_free(&list);
    return status;
}

/* The matrix of a list's only tensor. */
static nc_status nc_fp4__npy_matrix(const nc_fp4__list *list, float **x, uint32_t *rows,
                                    uint32_t *columns, nc_error *err) {
    const nc_fp4__entry *e = nc_fp4__list_entry(list, 0);
    nc_status status;
    if (nc_fp4__list_part(list, 0)->container != NC_FP4__IN_NPY)
        return nc__fail(err, NC_ERR_FORMAT, 0, 0, "not a .npy file");
    if (!nc__is_float(e->dtype) || e->rank > 2)
        return nc__fail(err, NC_ERR_UNSUPPORTED, 1, 1,
                        "%s of %u dimensions: only floats of at most two", e->dtype,
                        (unsigned)e->rank);
    *rows = e->rank == 2 ? (uint32_t)e->shape[0] : 1;
    *columns = e->rank ? (uint32_t)e->shape[e->rank - 1] : 1;
    if (e->count >> 31 || (e->rank && (e->shape[0] >> 31 || e->shape[e->rank - 1] >> 31)))
        return nc__fail(err, NC_ERR_LIMIT, 1, 1, "more than 2^31 values");
    *x = (float *)nc__alloc(NULL, (size_t)e->count * sizeof **x);
    if (!*x) return nc__fail(err, NC_ERR_MEMORY, 0, 0, "out of memory");
    status = nc_fp4__read_floats(list, e, 0, (size_t)e->count, *x, err);
    if (status != NC_OK) {
        nc__free(NULL, *x, 0);
        *x = NULL;
    }
    return status;
}

NC_API nc_status nc_fp4_npy_read(const void *data, size_t bytes, float **x, uint32_t *rows,
                                 uint32_t *columns, nc_error *err) {
    nc_fp4_source source;
    nc_fp4__list list;
    nc_status status;
    nc__clear(err);
    if (x) *x = NULL;
    if (!x || !rows || !columns) return nc__fail(err, NC_ERR_ARG, 0, 0, "no result");
    *rows = *columns = 0;
    if (!data) return nc__fail(err, NC_ERR_ARG, 0, 0, "no data");
    memset(&list, 0, sizeof list);
    nc_fp4_source_memory(&source, data, bytes);
    status = nc_fp4__list_source(&list, &source, 0, err);
    if (status == NC_OK) status = nc_fp4__npy_matrix(&list, x, rows, columns, err);
    if (status != NC_OK) *rows = *columns = 0;
    nc_fp4__list_free(&list);
    return status;
}

NC_API nc_status nc_fp4_npy_write(const float *x, uint32_t rows, uint32_t columns, char **data,
                                  size_t *bytes) {
    const size_t n = nc__mul_size(rows, columns);
    uint64_t shape[2];
    nc__buffer to;
    char *values;
    size_t i;
    if (data) *data = NULL;
    if (!data || !bytes) return NC_ERR_ARG;
    *bytes = 0;
    if (n && !x) return NC_ERR_ARG;
    memset(&to, 0, sizeof to);
    shape[0] = rows;
    shape[1] = columns;
    nc__npy_head(&to, "<f4", shape, 2);
    values = nc__buffer_add(&to, nc__mul_size(n, 4));
    for (i = 0; values && i < n; i++) nc__put_le((uint8_t *)values + 4 * i, nc_fp4__bits(x[i]), 4);
    return nc_fp4__hand_over(&to, data, bytes);
}

NC_API void nc_fp4_free_text(char *text) { nc__free(NULL, text, 0); }

NC__COLD_END

/* >>weights ====================================================================== */

NC__COLD_BEGIN

/* The tensors of a file that make one weight. */
enum {
    NC_FP4__CODES,        /* or the values */
    NC_FP4__SCALES,       /* of the blocks */
    NC_FP4__TENSOR_SCALE, /* of NVFP4 */
    NC_FP4__STATE,        /* the rest is bitsandbytes': JSON text */
    NC_FP4__TABLE,        /* the values of the codes */
    NC_FP4__NESTED,       /* scales of the scales */
    NC_FP4__NESTED_TABLE, /* the values of scales that are codes */
    NC_FP4__PARTS
};
#define NC_FP4__NONE UINT32_MAX

typedef struct nc_fp4__weight {
    nc_fp4_weight about;
    size_t name_at;               /* in the weights' own names; SIZE_MAX: the entry's name */
    uint32_t part[NC_FP4__PARTS]; /* entries of the list */
    float nested_offset;
    int divides;
} nc_fp4__weight;

struct nc_fp4_weights {
    nc_fp4__list list;
    nc__buffer items, names; /* of the kind above; names that no entry has */
};

static nc_fp4__weight *nc_fp4__weights_item(const nc_fp4_weights *weights, size_t i) {
    return (nc_fp4__weight *)nc_fp4__element_at(&weights->items, i, sizeof(nc_fp4__weight));
}

/* -- which tensors belong together ---------------------------------------------------------- */

/* One weight in the making. */
typedef struct nc_fp4__match {
    const nc_fp4__list *list;
    const nc_fp4__entry *e; /* what may be its codes */
    nc_fp4__weight *w;
    nc__buffer words; /* scratch for names */
    nc_error *err;
    nc_status status;
} nc_fp4__match;

/* The entry whose name is the first n characters of the codes' and a suffix; null: there is none.
 * It becomes that part. */
static const nc_fp4__entry *nc_fp4__part_of(nc_fp4__match *m, int part, size_t n,
                                            const char *suffix) {
    const nc_fp4__entry *e;
    m->words.used = 0;
    nc__buffer_put(&m->words, m->e->name, n);
    nc__buffer_put(&m->words, suffix, strlen(suffix));
    if (m->words.status != NC_OK) {
        m->status = nc__fail(m->err, NC_ERR_MEMORY, 0, 0, "out of memory");
        return NULL;
    }
    e = nc_fp4__list_find(m->list, m->words.data);
    if (e) m->w->part[part] = (uint32_t)(e - nc_fp4__list_entry(m->list, 0));
    return e;
}

/* Characters before the suffix; 0: the name does not end so. */
static size_t nc_fp4__before(const char *name, const char *suffix) {
    const size_t n = strlen(name), k = strlen(suffix);
    return n > k && !strcmp(name + n - k, suffix) ? n - k : 0;
}

/* The weight's name: the first n characters of the codes'. */
static void nc_fp4__named(nc_fp4__match *m, size_t n) {
    m->words.used = 0;
    nc__buffer_put(&m->words, m->e->name, n);
}

/* Shape of the weight: `rank` dimensions of the codes, the last of them `columns`. */
static void nc_fp4__shaped(nc_fp4__match *m, uint32_t rank, uint64_t columns) {
    m->w->about.rank = rank;
    memcpy(m->w->about.shape, m->e->shape, rank * sizeof *m->e->shape);
    m->w->about.shape[rank - 1] = columns;
}

/* 1: e has a byte for every block of that many columns. */
static int nc_fp4__bytes_fit(const nc_fp4__match *m, const nc_fp4__entry *e, uint32_t block) {
    const nc_fp4_weight *about = &m->w->about;
    const uint32_t last = about->rank - 1;
    uint32_t i;
    if (!e || e->bits != 8 || e->rank != about->rank || e->rank > 8) return 0;
    for (i = 0; i < last; i++)
        if (e->shape[i] != about->shape[i]) return 0;
    return e->shape[last] == about->shape[last] / block + (about->shape[last] % block != 0);
}

/* The format that scales say: E4M3 in blocks of 16 is NVFP4, E8M0 in blocks of 32 MXFP4; bytes that
 * do not say what they are can be either where `any` is set. 0: neither. */
static int nc_fp4__scaled(nc_fp4__match *m, const nc_fp4__entry *e, int any) {
    const int byte = e && !strcmp(e->dtype, "U8");
    if (e && (!strcmp(e->dtype, "F8_E4M3") || (byte && any)) && nc_fp4__bytes_fit(m, e, 16))
        m->w->about.format = NC_FP4_NVFP4;
    else if (e && (!strcmp(e->dtype, "F8_E8M0") || byte) && nc_fp4__bytes_fit(m, e, 32))
        m->w->about.format = NC_FP4_MXFP4;
    else
        return 0;
    return 1;
}

/* Scales of tensors: one, or one for each of the stack's. */
static int nc_fp4__tensor_scales_fit(const nc_fp4__match *m, const nc_fp4__entry *e) {
    uint64_t stack = 1;
    uint32_t i;
    for (i = 0; i + 2 < m->w->about.rank; i++) stack *= m->w->about.shape[i];
    return e && !strcmp(e->dtype, "F32") && (e->count == 1 || e->count == stack);
}

/* vLLM's and llm-compressor's: X.weight_packed, X.weight_scale and, for NVFP4,
 * X.weight_global_scale, which divides. */
static int nc_fp4__match_compressed(nc_fp4__match *m) {
    const size_t n = nc_fp4__before(m->e->name, "_packed");
    const nc_fp4__entry *scale;
    if (!n || strcmp(m->e->dtype, "U8") != 0 || m->e->rank < 2 || m->e->rank > 8) return 0;
    nc_fp4__shaped(m, m->e->rank, 2 * m->e->shape[m->e->rank - 1]);
    if (!nc_fp4__scaled(m, nc_fp4__part_of(m, NC_FP4__SCALES, n, "_scale"), 0)) return 0;
    if (nc_fp4__part_of(m, NC_FP4__STATE, n, "_zero_point")) return 0;
    scale = nc_fp4__part_of(m, NC_FP4__TENSOR_SCALE, n, "_global_scale");
    if (scale && (m->w->about.format != NC_FP4_NVFP4 || !nc_fp4__tensor_scales_fit(m, scale)))
        return 0;
    m->w->divides = scale != NULL;
    nc_fp4__named(m, n);
    return 1;
}

/* X.weight, X.weight_scale and, for NVFP4, X.weight_scale_2, which multiplies. */
static int nc_fp4__match_modelopt(nc_fp4__match *m) {
    const size_t n = strlen(m->e->name);
    const nc_fp4__entry *scale;
    if (strcmp(m->e->dtype, "U8") != 0 || m->e->rank < 2 || m->e->rank > 8) return 0;
    nc_fp4__shaped(m, m->e->rank, 2 * m->e->shape[m->e->rank - 1]);
    if (!nc_fp4__scaled(m, nc_fp4__part_of(m, NC_FP4__SCALES, n, "_scale"), 0)) return 0;
    scale = nc_fp4__part_of(m, NC_FP4__TENSOR_SCALE, n, "_scale_2");
    if (m->w->about.format == NC_FP4_MXFP4) return !scale;
    return nc_fp4__tensor_scales_fit(m, scale);
}

/* X_blocks [.., rows, blocks, 16] and X_scales [.., rows, blocks]. */
static int nc_fp4__match_gpt_oss(nc_fp4__match *m) {
    const size_t n = nc_fp4__before(m->e->name, "_blocks");
    const uint32_t rank = m->e->rank;
    if (!n || strcmp(m->e->dtype, "U8") != 0 || rank < 3 || rank > 8 || m->e->shape[rank - 1] != 16)
        return 0;
    nc_fp4__shaped(m, rank - 1, 32 * m->e->shape[rank - 2]);
    m->w->about.format = NC_FP4_MXFP4;
    if (!nc_fp4__bytes_fit(m, nc_fp4__part_of(m, NC_FP4__SCALES, n, "_scales"), 32)) return 0;
    nc_fp4__named(m, n);
    return 1;
}

/* X.weight as words of eight codes and X.scales as bytes; with X.biases it is no float. */
static int nc_fp4__match_mlx(nc_fp4__match *m) {
    const size_t n = nc_fp4__before(m->e->name, ".weight");
    if (!n || strcmp(m->e->dtype, "U32") != 0 || m->e->rank < 2 || m->e->rank > 8) return 0;
    nc_fp4__shaped(m, m->e->rank, 8 * m->e->shape[m->e->rank - 1]);
    return !nc_fp4__part_of(m, NC_FP4__STATE, n, ".biases") &&
           nc_fp4__scaled(m, nc_fp4__part_of(m, NC_FP4__SCALES, n, ".scales"), 1);
}

/* Blocks of their own type; X.weight of NVFP4 may have a tensor scale X.scale, which multiplies. */
static int nc_fp4__match_gguf(nc_fp4__match *m) {
    const nc_fp4__part *part = nc_fp4__list_part(m->list, m->e->source);
    const size_t n = nc_fp4__before(m->e->name, ".weight");
    const int mx = !strcmp(m->e->dtype, "MXFP4");
    if (part->container != NC_FP4__IN_GGUF || m->e->rank < 1 ||
        (!mx && strcmp(m->e->dtype, "NVFP4") != 0))
        return 0;
    nc_fp4__shaped(m, m->e->rank, m->e->shape[m->e->rank - 1]);
    m->w->about.format = mx ? NC_FP4_MXFP4 : NC_FP4_NVFP4;
    return mx || !n || !nc_fp4__part_of(m, NC_FP4__TENSOR_SCALE, n, ".scale") ||
           nc_fp4__tensor_scales_fit(m,
                                     nc_fp4__list_entry(m->list, m->w->part[NC_FP4__TENSOR_SCALE]));
}

/* This header's own: U8 [rows, bytes], and the metadata say the rest. */
static int nc_fp4__match_own(nc_fp4__match *m) {
    const size_t n = strlen(m->e->name);
    const nc_fp4__entry *scales;
    nc_fp4__own own;
    if (strcmp(m->e->dtype, "U8") != 0 || m->e->rank != 2) return 0;
    memset(&own, 0, sizeof own);
    own.part[0] = m->e;
    if (nc_fp4__own_describe(m->list, m->e->name, &own, &m->words, NULL) != NC_OK || !own.row)
        return 0;
    nc_fp4__named(m, n);
    nc_fp4__shaped(m, 2, own.columns);
    if (m->e->shape[1] != nc_fp4_code_bytes(own.columns)) return 0;
    m->w->about.format = nc_fp4__format_of(own.row);
    if (!own.row->block) return 1;
    scales = nc_fp4__part_of(m, NC_FP4__SCALES, n, "_scale");
    if (!scales || strcmp(scales->dtype, nc_fp4__scales[own.row->scale].dtype) != 0 ||
        scales->rank != 2 || scales->shape[0] != m->e->shape[0] ||
        scales->bytes / (m->e->shape[0] ? m->e->shape[0] : 1) !=
            nc_fp4__scale_bytes(own.row, own.columns))
        return 0;
    return own.row->scale != NC_FP4__E4M3 ||
           nc_fp4__tensor_scales_fit(m,
                                     nc_fp4__part_of(m, NC_FP4__TENSOR_SCALE, n, "_tensor_scale"));
}

/* -- bitsandbytes: flat codes, the first in the high nibble, and the rest in a JSON text ------- */

/* What the text says of one weight. */
static nc_status nc_fp4__bnb_state(nc_fp4__weight *w, const char *text, size_t bytes,
                                   nc_error *err) {
    uint64_t block = 0, nested = 256;
    nc__text t;
    int first = 1;
    nc__text_open(&t, text, bytes, err);
    nc__json_expect(&t, '{');
    while (nc__json_more(&t, '}', &first)) {
        char key[32];
        const int fits = nc__json_string(&t, key, sizeof key) < sizeof key;
        nc__json_expect(&t, ':');
        if (fits && !strcmp(key, "blocksize")) {
            block = nc__json_natural(&t, 1 << 20);
        } else if (fits && !strcmp(key, "nested_blocksize")) {
            nested = nc__json_natural(&t, 1 << 20);
        } else if (fits && !strcmp(key, "nested_offset")) {
            nc__skip_space(&t);
            w->nested_offset = (float)nc__text_real(&t);
        } else if (fits && !strcmp(key, "shape")) {
            w->about.rank = nc__json_naturals(&t, w->about.shape, 8);
        } else {
            nc__json_skip(&t); /* the type's name again, and that of the values before */
        }
    }
    if (t.status != NC_OK) return t.status;
    if (!nc_fp4__is_block((uint32_t)block) || nested == 0)
        return nc__fail(err, NC_ERR_UNSUPPORTED, 0, 0, "blocks of %llu (%llu) are not read",
                        (unsigned long long)block, (unsigned long long)nested);
    if (w->about.rank == 0) return nc__fail(err, NC_ERR_FORMAT, 0, 0, "no shape");
    w->about.block = (uint32_t)block;
    w->about.nested = (uint32_t)nested;
    return NC_OK;
}

/* The table of the codes must be the one that the type has. */
static nc_status nc_fp4__bnb_table(nc_fp4__match *m) {
    const nc_fp4__entry *e = nc_fp4__list_entry(m->list, m->w->part[NC_FP4__TABLE]);
    const nc_fp4__element *element = nc_fp4__formats[m->w->about.format].element;
    float table[16] = {0};
    nc_status status;
    int i;
    if (e->count != 16 || strcmp(e->dtype, "F32") != 0)
        return nc__fail(m->err, NC_ERR_FORMAT, 0, 0, "its quant_map has no 16 float32 values");
    status = nc_fp4__read_floats(m->list, e, 0, 16, table, m->err);
    for (i = 0; i < 16 && status == NC_OK; i++)
        if (!(fabsf(table[i] - element->value[i]) <= 1e-7f))
            status = nc__fail(m->err, NC_ERR_UNSUPPORTED, 0, 0,
                              "its code %d is %.9g, not %.9g: a table of its own is not read", i,
                              (double)table[i], (double)element->value[i]);
    return status;
}

/* The other parts, all of which must be there and agree. */
static nc_status nc_fp4__bnb_parts(nc_fp4__match *m) {
    const size_t n = strlen(m->e->name);
    const nc_fp4__entry *state = nc_fp4__list_entry(m->list, m->w->part[NC_FP4__STATE]), *absmax,
                        *e;
    uint64_t count = 1, blocks;
    nc_status status;
    uint32_t i;
    char *text;
    if (state->bits != 8 || state->bytes > 1 << 16)
        return nc__fail(m->err, NC_ERR_FORMAT, 0, 0, "its state is no text");
    text = (char *)nc__alloc(NULL, (size_t)state->bytes);
    if (!text) return nc__fail(m->err, NC_ERR_MEMORY, 0, 0, "out of memory");
    status = nc_fp4__source_read(&nc_fp4__list_part(m->list, state->source)->source, state->offset,
                                 text, (size_t)state->bytes, m->err);
    if (status == NC_OK) status = nc_fp4__bnb_state(m->w, text, (size_t)state->bytes, m->err);
    nc__free(NULL, text, 0);
    if (status != NC_OK) return status;
    for (i = 0; i < m->w->about.rank; i++) {
        const uint64_t k = m->w->about.shape[i];
        if (k && count > (UINT64_C(1) << 56) / k)
            return nc__fail(m->err, NC_ERR_LIMIT, 0, 0, "more than 2^56 values");
        count *= k;
    }
    if (m->e->bytes < count / 2 + count % 2)
        return nc__fail(m->err, NC_ERR_FORMAT, 0, 0, "%llu values in %llu bytes",
                        (unsigned long long)count, (unsigned long long)m->e->bytes);
    absmax = nc_fp4__part_of(m, NC_FP4__SCALES, n, ".absmax");
    e = nc_fp4__part_of(m, NC_FP4__TABLE, n, ".quant_map");
    blocks = count / m->w->about.block + (count % m->w->about.block != 0);
    if (!absmax || !e || absmax->count != blocks)
        return nc__fail(m->err, NC_ERR_FORMAT, 0, 0, "its absmax or quant_map is missing or short");
    status = nc_fp4__bnb_table(m);
    if (status == NC_OK && !strcmp(absmax->dtype, "F32")) m->w->about.nested = 0;
    if (status != NC_OK || m->w->about.nested == 0) return status;
    e = nc_fp4__part_of(m, NC_FP4__NESTED, n, ".nested_absmax");
    if (strcmp(absmax->dtype, "U8") != 0 || !e || strcmp(e->dtype, "F32") != 0 ||
        e->count < blocks / m->w->about.nested + (blocks % m->w->about.nested != 0))
        return nc__fail(m->err, NC_ERR_FORMAT, 0, 0, "its nested_absmax is missing or short");
    e = nc_fp4__part_of(m, NC_FP4__NESTED_TABLE, n, ".nested_quant_map");
    if (!e || e->count != 256 || strcmp(e->dtype, "F32") != 0)
        return nc__fail(m->err, NC_ERR_FORMAT, 0, 0, "its nested_quant_map has no 256 values");
    return NC_OK;
}

static int nc_fp4__match_bnb(nc_fp4__match *m) {
    const size_t n = strlen(m->e->name);
    char why[90];
    m->w->about.format = NC_FP4_NF4;
    if (!nc_fp4__part_of(m, NC_FP4__STATE, n, ".quant_state.bitsandbytes__nf4")) {
        m->w->about.format = NC_FP4_BNB;
        if (!nc_fp4__part_of(m, NC_FP4__STATE, n, ".quant_state.bitsandbytes__fp4")) return 0;
    }
    m->status = nc_fp4__bnb_parts(m);
    if (m->status == NC_OK) return 1;
    snprintf(why, sizeof why, "%.89s", m->err ? m->err->message : "");
    m->status = nc__fail(m->err, m->status, 0, 0, "'%.60s': %s", m->e->name, why);
    return 0;
}

/* -- torchao: X._weight_qdata, _scale .., and in the metadata of X.weight what they are -------- */

/* The keys of its JSON text that matter, at any depth. 1: a tensor of 4-bit floats. */
static int nc_fp4__torchao_says(nc_fp4__match *m, const char *text) {
    const int mx = strstr(text, "\"_type\": \"MXTensor\"") != NULL;
    if (!mx && !strstr(text, "\"_type\": \"NVFP4Tensor\"")) return 0;
    if (mx && !strstr(text, "float4_e2m1fn_x2")) return 0;
    m->w->about.swizzled = strstr(text, "\"is_swizzled_scales\": true") != NULL;
    m->w->about.format = mx ? NC_FP4_MXFP4 : NC_FP4_NVFP4;
    return 1;
}

static uint64_t nc_fp4__up(uint64_t x, uint64_t to) { return (x + to - 1) / to * to; }

static int nc_fp4__match_torchao(nc_fp4__match *m) {
    const size_t n = nc_fp4__before(m->e->name, "_qdata");
    const nc_fp4__entry *scales, *scale;
    const char *text;
    uint64_t rows = 1, blocks;
    size_t i = n;
    uint32_t k;
    while (i && m->e->name[i - 1] != '.') i--;
    if (!n || m->e->name[i] != '_' || strcmp(m->e->dtype, "U8") != 0 || m->e->rank < 2 ||
        m->e->rank > 8)
        return 0;
    scales = nc_fp4__part_of(m, NC_FP4__SCALES, n, "_scale");
    scale = nc_fp4__part_of(m, NC_FP4__TENSOR_SCALE, n, "_per_tensor_scale");
    nc_fp4__named(m, i); /* X. and weight, without the mark between them */
    nc__buffer_put(&m->words, m->e->name + i + 1, n - i - 1);
    text =
        m->words.status == NC_OK ? nc_fp4__list_value(m->list, m->e->source, m->words.data) : NULL;
    if (!text || !nc_fp4__torchao_says(m, text) || !scales || scales->bits != 8) return 0;
    nc_fp4__shaped(m, m->e->rank, 2 * m->e->shape[m->e->rank - 1]);
    if (scale && (m->w->about.format != NC_FP4_NVFP4 || !nc_fp4__tensor_scales_fit(m, scale)))
        return 0;
    if (!m->w->about.swizzled)
        return nc_fp4__bytes_fit(m, scales, m->w->about.format == NC_FP4_MXFP4 ? 32 : 16);
    for (k = 0; k + 1 < m->e->rank; k++) rows *= m->e->shape[k];
    blocks = m->w->about.shape[m->e->rank - 1] / (m->w->about.format == NC_FP4_MXFP4 ? 32 : 16);
    return scales->bytes == nc_fp4__up(rows, 128) * nc_fp4__up(blocks, 4);
}

/* Floats, and what is not decoded. */
static int nc_fp4__match_rest(nc_fp4__match *m) {
    m->w->about.format = NC_FP4_FORMAT_COUNT;
    m->w->about.rank = m->e->rank;
    memcpy(m->w->about.shape, m->e->shape, sizeof m->e->shape);
    m->w->about.layout = nc__is_float(m->e->dtype) ? NC_FP4_LAYOUT_FLOAT : NC_FP4_LAYOUT_OTHER;
    return 1;
}

/* Which weight an entry holds the codes of; m->words then hold a name that is not the entry's. */
static void nc_fp4__match_any(nc_fp4__match *m) {
    static const struct {
        int (*match)(nc_fp4__match *m);
        nc_fp4_layout layout;
    } kinds[] = {{nc_fp4__match_bnb, NC_FP4_LAYOUT_BNB},
                 {nc_fp4__match_gguf, NC_FP4_LAYOUT_GGUF},
                 {nc_fp4__match_torchao, NC_FP4_LAYOUT_TORCHAO},
                 {nc_fp4__match_own, NC_FP4_LAYOUT_OWN},
                 {nc_fp4__match_compressed, NC_FP4_LAYOUT_COMPRESSED},
                 {nc_fp4__match_gpt_oss, NC_FP4_LAYOUT_GPT_OSS},
                 {nc_fp4__match_mlx, NC_FP4_LAYOUT_MLX},
                 {nc_fp4__match_modelopt, NC_FP4_LAYOUT_MODELOPT},
                 {nc_fp4__match_rest, NC_FP4_LAYOUT_FLOAT}};
    size_t i, k;
    for (i = 0; i < sizeof kinds / sizeof *kinds && m->status == NC_OK; i++) {
        memset(m->w, 0, sizeof *m->w);
        for (k = 0; k < NC_FP4__PARTS; k++) m->w->part[k] = NC_FP4__NONE;
        m->w->part[NC_FP4__CODES] = (uint32_t)(m->e - nc_fp4__list_entry(m->list, 0));
        m->w->about.layout = kinds[i].layout;
        m->words.used = 0;
        if (kinds[i].match(m)) break;
    }
    if (m->status == NC_OK && m->words.status != NC_OK)
        m->status = nc__fail(m->err, m->words.status, 0, 0, "out of memory");
    if (m->w->about.layout != NC_FP4_LAYOUT_COMPRESSED &&
        m->w->about.layout != NC_FP4_LAYOUT_GPT_OSS && m->w->about.layout != NC_FP4_LAYOUT_TORCHAO)
        m->words.used = 0;
}

/* What follows from shape and parts. */
static nc_status nc_fp4__weight_finish(const nc_fp4__list *list, nc_fp4__weight *w, nc_error *err) {
    nc_fp4_weight *about = &w->about;
    const nc_fp4__entry *e = nc_fp4__list_entry(list, w->part[NC_FP4__CODES]);
    const uint32_t rank = about->rank < 8 ? about->rank : 8;
    uint32_t i;
    about->name = e->name;
    about->dtype = e->dtype;
    about->stack = about->rows = about->columns = 1;
    if (rank) about->columns = about->shape[rank - 1];
    if (rank > 1) about->rows = about->shape[rank - 2];
    for (i = 0; i + 2 < rank; i++) about->stack *= about->shape[i];
    if (about->layout == NC_FP4_LAYOUT_BNB) { /* flat: no matrix begins with a block */
        about->rows *= about->stack;
        about->stack = 1;
        about->across = about->rows > 1 && about->columns % about->block != 0;
    } else if (about->format != NC_FP4_FORMAT_COUNT) {
        about->block = nc_fp4__formats[about->format].block;
    }
    about->scaled = w->part[NC_FP4__TENSOR_SCALE] != NC_FP4__NONE;
    for (i = 0; i < NC_FP4__PARTS; i++)
        if (w->part[i] != NC_FP4__NONE) about->bytes += nc_fp4__list_entry(list, w->part[i])->bytes;
    if (about->format != NC_FP4_FORMAT_COUNT && (about->rows >> 31 || about->columns >> 31))
        return nc__fail(err, NC_ERR_LIMIT, 0, 0, "'%.90s' has 2^31 rows or columns", e->name);
    return NC_OK;
}

/* All weights: first those with several parts, so that the parts do not count as tensors. */
static nc_status nc_fp4__weights_match(nc_fp4_weights *weights, uint8_t *taken, nc_error *err) {
    const size_t count = nc_fp4__list_count(&weights->list);
    nc_fp4__weight w;
    nc_fp4__match m;
    size_t i, k;
    int pass;
    memset(&m, 0, sizeof m);
    m.list = &weights->list;
    m.w = &w;
    m.err = err;
    for (pass = 0; pass < 2 && m.status == NC_OK; pass++)
        for (i = 0; i < count && m.status == NC_OK; i++) {
            if (pass && taken[i]) continue;
            m.e = nc_fp4__list_entry(m.list, i);
            nc_fp4__match_any(&m);
            if (m.status != NC_OK) break;
            for (k = 1; k < NC_FP4__PARTS && !pass; k++)
                if (w.part[k] != NC_FP4__NONE && w.about.format != NC_FP4_FORMAT_COUNT)
                    taken[w.part[k]] = 1;
            if (!pass) continue;
            m.status = nc_fp4__weight_finish(m.list, &w, err);
            w.name_at = SIZE_MAX;
            if (m.words.used) {
                w.name_at = weights->names.used;
                nc__buffer_put(&weights->names, m.words.data, m.words.used + 1);
            }
            nc__buffer_put(&weights->items, &w, sizeof w);
        }
    nc__buffer_free(&m.words);
    if (m.status == NC_OK && (weights->items.status != NC_OK || weights->names.status != NC_OK))
        m.status = nc__fail(err, NC_ERR_MEMORY, 0, 0, "out of memory for the weights");
    for (i = 0; i < weights->items.used / sizeof w && m.status == NC_OK; i++)
        if (nc_fp4__weights_item(weights, i)->name_at != SIZE_MAX)
            nc_fp4__weights_item(weights, i)->about.name =
                weights->names.data + nc_fp4__weights_item(weights, i)->name_at;
    return m.status;
}

/* What has been listed, to weights; all is released after a failure. */
static nc_status nc_fp4__weights_ready(nc_fp4_weights **weights, nc_fp4_weights *w,
                                       nc_status status, nc_error *err) {
    uint8_t *taken = NULL;
    if (status == NC_OK) {
        taken = (uint8_t *)nc__calloc(NULL, nc_fp4__list_count(&w->list) + 1);
        status = taken ? nc_fp4__weights_match(w, taken, err)
                       : nc__fail(err, NC_ERR_MEMORY, 0, 0, "out of memory");
    }
    nc__free(NULL, taken, 0);
    if (status == NC_OK)
        *weights = w;
    else
        nc_fp4_weights_close(w);
    return status;
}

NC_API nc_status nc_fp4_weights_open(nc_fp4_weights **weights, const nc_fp4_source *sources,
                                     size_t count, nc_error *err) {
    nc_fp4_weights *w;
    nc_status status = NC_OK;
    size_t i;
    nc__clear(err);
    if (!weights) return nc__fail(err, NC_ERR_ARG, 0, 0, "no result");
    *weights = NULL;
    if (!sources || count == 0) return nc__fail(err, NC_ERR_ARG, 0, 0, "no sources");
    w = (nc_fp4_weights *)nc__calloc(NULL, sizeof *w);
    if (!w) return nc__fail(err, NC_ERR_MEMORY, 0, 0, "out of memory");
    for (i = 0; i < count && status == NC_OK; i++)
        status = nc_fp4__list_source(&w->list, &sources[i], 0, err);
    return nc_fp4__weights_ready(weights, w, status, err);
}

#ifndef NC_NO_STDIO
NC_API nc_status nc_fp4_weights_open_path(nc_fp4_weights **weights, const char *path,
                                          nc_error *err) {
    nc_fp4_weights *w;
    nc__clear(err);
    if (!weights) return nc__fail(err, NC_ERR_ARG, 0, 0, "no result");
    *weights = NULL;
    w = (nc_fp4_weights *)nc__calloc(NULL, sizeof *w);
    if (!w) return nc__fail(err, NC_ERR_MEMORY, 0, 0, "out of memory");
    return nc_fp4__weights_ready(weights, w, nc_fp4__list_path(&w->list, path, err), err);
}
#endif

NC_API void nc_fp4_weights_close(nc_fp4_weights *weights) {
    if (!weights) return;
    nc_fp4__list_free(&weights->list);
    nc__buffer_free(&weights->items);
    nc__buffer_free(&weights->names);
    nc__free(NULL, weights, 0);
}

NC_API size_t nc_fp4_weights_count(const nc_fp4_weights *weights) {
    return weights ? weights->items.used / sizeof(nc_fp4__weight) : 0;
}

NC_API const nc_fp4_weight *nc_fp4_weights_get(const nc_fp4_weights *weights, size_t i) {
    return i < nc_fp4_weights_count(weights) ? &nc_fp4__weights_item(weights, i)->about : NULL;
}

NC_API size_t nc_fp4_weights_find(const nc_fp4_weights *weights, const char *name) {
    const size_t count = name ? nc_fp4_weights_count(weights) : 0;
    size_t i = 0;
    while (i < count && strcmp(nc_fp4__weights_item(weights, i)->about.name, name) != 0) i++;
    return i < count ? i : SIZE_MAX;
}

NC_API const char *nc_fp4_layout_name(nc_fp4_layout layout) {
    static const char *const names[NC_FP4_LAYOUT_COUNT] = {
        "float",    "own",     "bitsandbytes", "gpt-oss", "compressed-tensors",
        "modelopt", "torchao", "mlx",          "gguf",    "other"};
    return (unsigned)layout < NC_FP4_LAYOUT_COUNT ? names[layout] : NULL;
}

/* -- codes and scales of rows ------------------------------------------------------------------ */

static nc_status nc_fp4__part_read(const nc_fp4_weights *weights, const nc_fp4__weight *w, int part,
                                   uint64_t at, void *to, uint64_t bytes, nc_error *err) {
    const nc_fp4__entry *e = nc_fp4__list_entry(&weights->list, w->part[part]);
    if (at > e->bytes || bytes > e->bytes - at || bytes > SIZE_MAX)
        return nc__fail(err, NC_ERR_FORMAT, 0, 0, "'%.90s' is too short", e->name);
    return nc_fp4__source_read(&nc_fp4__list_part(&weights->list, e->source)->source,
                               e->offset + at, to, (size_t)bytes, err);
}

static nc_status nc_fp4__gguf_rows(const nc_fp4_weights *weights, const nc_fp4__weight *w,
                                   uint64_t row, nc_fp4_tensor *to, nc_error *err) {
    const size_t row_bytes = nc_fp4__ggml_bytes(to->format, to->columns);
    const size_t scale_bytes = nc_fp4_scale_bytes(to->format, to->columns);
    uint8_t *raw = (uint8_t *)nc__alloc(NULL, row_bytes);
    nc_status status = NC_OK;
    uint32_t r;
    if (!raw) return nc__fail(err, NC_ERR_MEMORY, 0, 0, "out of memory");
    for (r = 0; r < to->rows && status == NC_OK; r++) {
        status = nc_fp4__part_read(weights, w, NC_FP4__CODES, (row + r) * row_bytes, raw, row_bytes,
                                   err);
        if (status == NC_OK)
            nc_fp4__ggml_unpack(to->format, raw, to->columns,
                                to->codes + r * nc_fp4_code_bytes(to->columns),
                                to->scales + r * scale_bytes);
    }
    nc__free(NULL, raw, 0);
    return status;
}

/* Place of a scale in torchao's tiles of 128 rows by 4 blocks (cuBLAS, "1D block scaling factors
 * layout"): 32 times 16 bytes, four rows side by side. */
static uint64_t nc_fp4__swizzled(uint64_t row, uint64_t block, uint64_t blocks) {
    const uint64_t tile = row / 128 * (nc_fp4__up(blocks, 4) / 4) + block / 4;
    return tile * 512 + row % 32 * 16 + row % 128 / 32 * 4 + block % 4;
}

static nc_status nc_fp4__swizzled_rows(const nc_fp4_weights *weights, const nc_fp4__weight *w,
                                       uint64_t row, nc_fp4_tensor *to, nc_error *err) {
    const size_t blocks = nc_fp4_scale_bytes(to->format, to->columns);
    const size_t bytes = (size_t)nc_fp4__up(blocks, 4) * 128; /* of 128 rows */
    uint8_t *tiles = (uint8_t *)nc__alloc(NULL, bytes);
    nc_status status = NC_OK;
    uint64_t have = UINT64_MAX;
    size_t r, c;
    if (!tiles) return nc__fail(err, NC_ERR_MEMORY, 0, 0, "out of memory");
    for (r = 0; r < to->rows && status == NC_OK; r++) {
        if (have != (row + r) / 128) {
            have = (row + r) / 128;
            status = nc_fp4__part_read(weights, w, NC_FP4__SCALES, have * bytes, tiles, bytes, err);
        }
        for (c = 0; c < blocks && status == NC_OK; c++)
            to->scales[r * blocks + c] = tiles[nc_fp4__swizzled((row + r) % 128, c, blocks)];
    }
    nc__free(NULL, tiles, 0);
    return status;
}

/* Rows of the stack from `row` on, as many as `to` has, which has their memory. Not
 * bitsandbytes'. */
static nc_status nc_fp4__weights_rows(const nc_fp4_weights *weights, const nc_fp4__weight *w,
                                      uint64_t row, nc_fp4_tensor *to, nc_error *err) {
    const size_t code_bytes = nc_fp4_code_bytes(to->columns);
    const size_t scale_bytes = nc_fp4_scale_bytes(to->format, to->columns);
    nc_status status = NC_OK;
    to->tensor_scale = 1.0f;
    to->divides = w->divides;
    if (w->part[NC_FP4__TENSOR_SCALE] != NC_FP4__NONE) {
        const nc_fp4__entry *e = nc_fp4__list_entry(&weights->list, w->part[NC_FP4__TENSOR_SCALE]);
        status = nc_fp4__read_floats(&weights->list, e, e->count == 1 ? 0 : row / w->about.rows, 1,
                                     &to->tensor_scale, err);
    }
    if (status != NC_OK) return status;
    if (w->about.layout == NC_FP4_LAYOUT_GGUF) return nc_fp4__gguf_rows(weights, w, row, to, err);
    status = nc_fp4__part_read(weights, w, NC_FP4__CODES, row * code_bytes, to->codes,
                               to->rows * code_bytes, err);
    if (status == NC_OK && w->about.swizzled)
        status = nc_fp4__swizzled_rows(weights, w, row, to, err);
    else if (status == NC_OK && scale_bytes)
        status = nc_fp4__part_read(weights, w, NC_FP4__SCALES, row * scale_bytes, to->scales,
                                   to->rows * scale_bytes, err);
    return status;
}

/* The scales of bitsandbytes' blocks first .. first + n - 1. Nested ones are codes of a table:
 * value times the scale of 256, plus the offset, rounded after each, as its own CPU code has it. */
static nc_status nc_fp4__bnb_scales(const nc_fp4_weights *weights, const nc_fp4__weight *w,
                                    uint64_t first, size_t n, float *scales, nc_error *err) {
    const nc_fp4__list *list = &weights->list;
    float table[256], by = 0.0f;
    uint64_t have = UINT64_MAX;
    uint8_t *codes;
    nc_status status;
    size_t i;
    if (w->part[NC_FP4__NESTED] == NC_FP4__NONE)
        return nc_fp4__read_floats(list, nc_fp4__list_entry(list, w->part[NC_FP4__SCALES]), first,
                                   n, scales, err);
    codes = (uint8_t *)(scales + n) - n; /* at the end of the room: they are read from the front */
    status = nc_fp4__part_read(weights, w, NC_FP4__SCALES, first, codes, n, err);
    if (status == NC_OK)
        status = nc_fp4__read_floats(list, nc_fp4__list_entry(list, w->part[NC_FP4__NESTED_TABLE]),
                                     0, 256, table, err);
    for (i = 0; i < n && status == NC_OK; i++) {
        const uint64_t outer = (first + i) / w->about.nested;
        const uint8_t code = codes[i];
        float product;
        if (outer != have)
            status = nc_fp4__read_floats(list, nc_fp4__list_entry(list, w->part[NC_FP4__NESTED]),
                                         have = outer, 1, &by, err);
        product = table[code] * by;
        scales[i] = product + w->nested_offset;
    }
    return status;
}

/* Codes first .. first + n - 1 (first even) of bitsandbytes, in this header's order. */
static nc_status nc_fp4__bnb_codes(const nc_fp4_weights *weights, const nc_fp4__weight *w,
                                   uint64_t first, size_t n, uint8_t *codes, nc_error *err) {
    const size_t bytes = nc_fp4_code_bytes(n);
    nc_status status = nc_fp4__part_read(weights, w, NC_FP4__CODES, first / 2, codes, bytes, err);
    if (status == NC_OK)
        (void)nc_fp4_reorder(codes, codes, 2 * bytes, NC_FP4_HIGH_FIRST, NC_FP4_LOW_FIRST, 0);
    return status;
}

/* A whole matrix of bitsandbytes, into a tensor that has memory. */
static nc_status nc_fp4__bnb_matrix(const nc_fp4_weights *weights, const nc_fp4__weight *w,
                                    nc_fp4_tensor *to, nc_error *err) {
    const size_t n = (size_t)to->rows * to->columns, width = sizeof(float);
    const size_t blocks = nc_fp4_tensor_scale_bytes(to) / width;
    uint8_t *codes = (uint8_t *)nc__alloc(NULL, nc_fp4_code_bytes(n));
    float *scales = (float *)nc__alloc(NULL, blocks * width);
    nc_status status = NC_OK;
    size_t i;
    if (!codes || !scales) status = nc__fail(err, NC_ERR_MEMORY, 0, 0, "out of memory");
    if (status == NC_OK) status = nc_fp4__bnb_codes(weights, w, 0, n, codes, err);
    if (status == NC_OK) status = nc_fp4__bnb_scales(weights, w, 0, blocks, scales, err);
    if (status == NC_OK && codes && scales) {
        nc_fp4__part_rows(to->codes, codes, to->rows, to->columns);
        for (i = 0; i < blocks; i++) nc__put_le(to->scales + 4 * i, nc_fp4__bits(scales[i]), 4);
    }
    nc__free(NULL, codes, 0);
    nc__free(NULL, scales, 0);
    return status;
}

/* Weight i, of 4-bit floats; null after a failure. */
static const nc_fp4__weight *nc_fp4__weights_four(const nc_fp4_weights *weights, size_t i,
                                                  nc_error *err, nc_status *status) {
    const nc_fp4__weight *w;
    if (i >= nc_fp4_weights_count(weights)) {
        *status = nc__fail(err, NC_ERR_ARG, 0, 0, "there is no weight %llu", (unsigned long long)i);
        return NULL;
    }
    w = nc_fp4__weights_item(weights, i);
    if (w->about.format != NC_FP4_FORMAT_COUNT) return w;
    *status = nc__fail(err, NC_ERR_UNSUPPORTED, 0, 0, "'%.80s' is %s, no 4-bit floats",
                       w->about.name, w->about.dtype);
    return NULL;
}

NC_API nc_status nc_fp4_weights_read(const nc_fp4_weights *weights, size_t i, uint64_t matrix,
                                     uint32_t first, uint32_t rows, nc_fp4_tensor *tensor,
                                     nc_error *err) {
    const nc_fp4__weight *w;
    nc_status status = NC_OK;
    nc__clear(err);
    if (!tensor) return nc__fail(err, NC_ERR_ARG, 0, 0, "no tensor");
    memset(tensor, 0, sizeof *tensor);
    w = nc_fp4__weights_four(weights, i, err, &status);
    if (!w) return status;
    if (matrix >= w->about.stack || first > w->about.rows || rows > w->about.rows - first ||
        rows == 0 || w->about.columns == 0)
        return nc__fail(err, NC_ERR_ARG, 0, 0, "'%.60s' has %llu x %llu rows, not those asked for",
                        w->about.name, (unsigned long long)w->about.stack,
                        (unsigned long long)w->about.rows);
    if (w->about.layout == NC_FP4_LAYOUT_BNB && rows != w->about.rows)
        return nc__fail(err, NC_ERR_UNSUPPORTED, 0, 0,
                        "'%.60s' has blocks across rows: ask for all", w->about.name);
    if ((uint64_t)rows * w->about.columns >> 31)
        return nc__fail(err, NC_ERR_LIMIT, 0, 0, "'%.80s' has 2^31 values or more", w->about.name);
    tensor->across = w->about.across;
    if (w->about.layout == NC_FP4_LAYOUT_BNB) tensor->block = w->about.block;
    if (!nc_fp4__tensor_alloc(tensor, w->about.format, rows, (uint32_t)w->about.columns))
        return nc__fail(err, NC_ERR_MEMORY, 0, 0, "out of memory");
    status = w->about.layout == NC_FP4_LAYOUT_BNB
                 ? nc_fp4__bnb_matrix(weights, w, tensor, err)
                 : nc_fp4__weights_rows(weights, w, matrix * w->about.rows + first, tensor, err);
    if (status != NC_OK) nc_fp4_tensor_free(tensor);
    return status;
}

/* -- values ------------------------------------------------------------------------------------ */

enum { NC_FP4__AT_ONCE = 1 << 16 }; /* values decoded at a time: what memory is needed */

static nc_status nc_fp4__bnb_values(const nc_fp4_weights *weights, const nc_fp4__weight *w,
                                    uint64_t first, size_t n, float *x, nc_error *err) {
    const float *value = nc_fp4__formats[w->about.format].element->value;
    const uint32_t block = w->about.block;
    uint8_t *codes = (uint8_t *)nc__alloc(NULL, NC_FP4__AT_ONCE / 2 + 1);
    float *scales = (float *)nc__alloc(NULL, (NC_FP4__AT_ONCE / 32 + 1) * sizeof *scales);
    nc_status status = NC_OK;
    size_t i, m;
    if (!codes || !scales) status = nc__fail(err, NC_ERR_MEMORY, 0, 0, "out of memory");
    for (; n && status == NC_OK && codes && scales; n -= m, x += m, first += m) {
        const uint64_t from = first / block;
        const size_t odd = first % 2;
        m = n < NC_FP4__AT_ONCE - odd ? n : NC_FP4__AT_ONCE - odd;
        status = nc_fp4__bnb_codes(weights, w, first - odd, m + odd, codes, err);
        if (status == NC_OK)
            status = nc_fp4__bnb_scales(weights, w, from,
                                        (size_t)((first + m - 1) / block - from) + 1, scales, err);
        for (i = 0; i < m && status == NC_OK; i++)
            x[i] = value[nc_fp4__code_at(codes, i + odd)] * scales[(first + i) / block - from];
    }
    nc__free(NULL, codes, 0);
    nc__free(NULL, scales, 0);
    return status;
}

/* Rows at a time; the first and the last may be needed in part only. */
static nc_status nc_fp4__row_values(const nc_fp4_weights *weights, const nc_fp4__weight *w,
                                    uint64_t first, size_t n, float *x, nc_error *err) {
    const uint32_t columns = (uint32_t)w->about.columns;
    const uint32_t most = columns < NC_FP4__AT_ONCE ? NC_FP4__AT_ONCE / columns : 1;
    float *row = (float *)nc__alloc(NULL, columns * sizeof *row);
    nc_fp4_tensor strip;
    nc_status status = NC_OK;
    memset(&strip, 0, sizeof strip);
    if (!row || !nc_fp4__tensor_alloc(&strip, w->about.format, most, columns))
        status = nc__fail(err, NC_ERR_MEMORY, 0, 0, "out of memory");
    while (n && status == NC_OK && row) {
        const uint64_t at = first / columns, left = w->about.rows - at % w->about.rows;
        const uint32_t from = (uint32_t)(first % columns);
        size_t m = n / columns < most ? n / columns : most;
        if (m > left) m = (size_t)left;
        if (from || m == 0) m = 1;
        strip.rows = (uint32_t)m;
        status = nc_fp4__weights_rows(weights, w, at, &strip, err);
        if (status != NC_OK) break;
        if (from || n < columns) {
            const size_t some = n < columns - from ? n : columns - from;
            status = nc_fp4_tensor_decode(&strip, row);
            memcpy(x, row + from, some * sizeof *x);
            m = some;
        } else {
            status = nc_fp4_tensor_decode(&strip, x);
            m *= columns;
        }
        x += m;
        first += m;
        n -= m;
    }
    nc_fp4_tensor_free(&strip);
    nc__free(NULL, row, 0);
    return status;
}

NC_API nc_status nc_fp4_weights_values(const nc_fp4_weights *weights, size_t i, uint64_t first,
                                       size_t n, float *x, nc_error *err) {
    const nc_fp4__weight *w;
    const nc_fp4__entry *e;
    uint64_t count;
    nc__clear(err);
    if (i >= nc_fp4_weights_count(weights) || (n && !x))
        return nc__fail(err, NC_ERR_ARG, 0, 0, "no such weight, or no room for its values");
    w = nc_fp4__weights_item(weights, i);
    e = nc_fp4__list_entry(&weights->list, w->part[NC_FP4__CODES]);
    if (w->about.format == NC_FP4_FORMAT_COUNT)
        return nc_fp4__read_floats(&weights->list, e, first, n, x, err);
    count = w->about.stack * w->about.rows * w->about.columns;
    if (first > count || n > count - first)
        return nc__fail(err, NC_ERR_ARG, 0, 0, "'%.80s' has only %llu values", w->about.name,
                        (unsigned long long)count);
    if (n == 0) return NC_OK;
    return w->about.layout == NC_FP4_LAYOUT_BNB ? nc_fp4__bnb_values(weights, w, first, n, x, err)
                                                : nc_fp4__row_values(weights, w, first, n, x, err);
}

NC_API nc_status nc_fp4_weights_bytes(const nc_fp4_weights *weights, size_t i, uint64_t at,
                                      void *to, size_t bytes, nc_error *err) {
    nc__clear(err);
    if (i >= nc_fp4_weights_count(weights) || (bytes && !to))
        return nc__fail(err, NC_ERR_ARG, 0, 0, "no such weight, or no room for its bytes");
    return nc_fp4__part_read(weights, nc_fp4__weights_item(weights, i), NC_FP4__CODES, at, to,
                             bytes, err);
}

/* -- writing: a plan of all weights, then their data in any order ------------------------------ */

/* A weight of the plan: where its parts go in the file. */
typedef struct nc_fp4__planned {
    nc_fp4_weight about;
    size_t name_at, dtype_at;
    uint64_t at[NC_FP4__PARTS], bytes; /* of the values, where these are no parts of 4-bit floats */
    uint32_t bits;
    float *nested; /* bitsandbytes' scales until all are there, and how many are */
    uint64_t nested_count;
} nc_fp4__planned;

struct nc_fp4_writer {
    nc_fp4_layout layout;
    nc_fp4_sink sink;
    nc__buffer planned, text, state; /* weights; their names; a scratch */
    nc__buffer pairs;                /* of metadata: type, key, value, each before its bytes */
    uint64_t size;                   /* of the file */
    size_t width;                    /* bits of the types whose turn it is */
    int begun;
};

static nc_fp4__planned *nc_fp4__writer_item(const nc_fp4_writer *writer, size_t i) {
    return (nc_fp4__planned *)nc_fp4__element_at(&writer->planned, i, sizeof(nc_fp4__planned));
}

static size_t nc_fp4__writer_count(const nc_fp4_writer *writer) {
    return writer->planned.used / sizeof(nc_fp4__planned);
}

NC_API nc_status nc_fp4_writer_create(nc_fp4_writer **writer, nc_fp4_layout layout) {
    if (!writer) return NC_ERR_ARG;
    *writer = NULL;
    if ((unsigned)layout >= NC_FP4_LAYOUT_OTHER) return NC_ERR_ARG;
    *writer = (nc_fp4_writer *)nc__calloc(NULL, sizeof **writer);
    if (!*writer) return NC_ERR_MEMORY;
    (*writer)->layout = layout;
    return NC_OK;
}

NC_API void nc_fp4_writer_free(nc_fp4_writer *writer) {
    size_t i;
    if (!writer) return;
    for (i = 0; i < nc_fp4__writer_count(writer); i++)
        nc__free(NULL, nc_fp4__writer_item(writer, i)->nested, 0);
    nc__buffer_free(&writer->planned);
    nc__buffer_free(&writer->text);
    nc__buffer_free(&writer->state);
    nc__buffer_free(&writer->pairs);
    nc__free(NULL, writer, 0);
}

/* A pair of metadata: GGUF's type and the value as it stands there, or a string. */
static nc_status nc_fp4__writer_keep(nc_fp4_writer *writer, uint32_t type, const char *key,
                                     const void *value, size_t bytes) {
    const size_t used = writer->pairs.used;
    nc_status status;
    nc__buffer_le(&writer->pairs, type, 4);
    nc__buffer_le(&writer->pairs, strlen(key) + 1, 8);
    nc__buffer_put(&writer->pairs, key, strlen(key) + 1);
    nc__buffer_le(&writer->pairs, bytes, 8);
    nc__buffer_put(&writer->pairs, value, bytes);
    status = writer->pairs.status;
    if (status != NC_OK) nc__buffer_cut_back(&writer->pairs, used);
    return status;
}

NC_API nc_status nc_fp4_writer_pair(nc_fp4_writer *writer, const char *key, const char *value) {
    if (!writer || !key || !*key || !value || writer->begun) return NC_ERR_ARG;
    return nc_fp4__writer_keep(writer, NC_FP4__GGUF_STRING, key, value, strlen(value) + 1);
}

/* 1: metadata that say how a file's tensors are laid out: the new file says that in its own way. */
static int nc_fp4__says_layout(const nc_fp4_weights *weights, const char *key) {
    const size_t n = strlen(key);
    const nc_fp4_weight *about = nc_fp4_weights_get(weights, nc_fp4_weights_find(weights, key));
    return !strcmp(key, "tensor_names") || !strcmp(key, "general.alignment") ||
           !strncmp(key, "split.", 6) || (n > 7 && !strcmp(key + n - 7, ".nc_fp4")) ||
           (about && nc_fp4__list_value(&weights->list, 0, "tensor_names"));
}

NC_API nc_status nc_fp4_writer_pairs(nc_fp4_writer *writer, const nc_fp4_weights *weights) {
    nc_status status = NC_OK;
    size_t i, used;
    if (!writer || !weights || writer->begun) return NC_ERR_ARG;
    used = writer->pairs.used;
    for (i = 0; i < nc_fp4__list_pairs(&weights->list) && status != NC_ERR_MEMORY; i++) {
        const nc_fp4__pair *pair = nc_fp4__list_pair(&weights->list, i);
        if (pair->source != 0 || nc_fp4__says_layout(weights, pair->key)) continue;
        if (pair->raw && pair->type != NC_FP4__GGUF_STRING) {
            if (writer->layout == NC_FP4_LAYOUT_GGUF)
                status =
                    nc_fp4__writer_keep(writer, pair->type, pair->key, pair->raw, pair->raw_bytes);
            else if (pair->type != NC_FP4__GGUF_ARRAY)
                status = nc_fp4_writer_pair(writer, pair->key, pair->text);
        } else {
            status = nc_fp4_writer_pair(writer, pair->key, pair->text);
        }
    }
    if (status != NC_ERR_MEMORY) return NC_OK; /* pairs without a key are left out */
    nc__buffer_cut_back(&writer->pairs, used);
    return status;
}

/* The next pair; 0: there is none. */
static int nc_fp4__writer_next(const nc_fp4_writer *writer, size_t *at, uint32_t *type,
                               const char **key, const char **value, size_t *bytes) {
    const uint8_t *data;
    size_t n;
    if (*at >= writer->pairs.used) return 0;
    data = (const uint8_t *)writer->pairs.data + *at;
    *type = (uint32_t)nc__get_le(data, 4);
    n = (size_t)nc__get_le(data + 4, 8);
    *key = writer->pairs.data + *at + 12;
    *bytes = (size_t)nc__get_le(data + 12 + n, 8);
    *value = *key + n + 8;
    *at += 20 + n + *bytes;
    return 1;
}

/* Why a weight cannot be written in a layout; null: it can. */
static const char *nc_fp4__writer_refuses(nc_fp4_layout layout, const nc_fp4_weight *w) {
    const uint64_t columns = w->rank ? w->shape[w->rank - 1] : 0;
    const int mx = w->format == NC_FP4_MXFP4, nv = w->format == NC_FP4_NVFP4;
    if (w->format == NC_FP4_FORMAT_COUNT) return NULL;
    if (w->rank < 1 || w->rank > 8 || columns == 0) return "its shape is no matrix";
    switch (layout) {
    case NC_FP4_LAYOUT_OWN:
        return w->rank == 2 ? NULL : "this header's own layout has two dimensions";
    case NC_FP4_LAYOUT_BNB:
        return w->format == NC_FP4_NF4 || w->format == NC_FP4_BNB ? NULL
                                                                  : "bitsandbytes has NF4 and FP4";
    case NC_FP4_LAYOUT_GPT_OSS:
        if (!mx) return "gpt-oss has MXFP4";
        if (w->rank > 7) return "gpt-oss has one dimension more, and eight at most";
        break;
    case NC_FP4_LAYOUT_MLX:
        if (!nc_fp4__before(w->name, ".weight")) return "MLX's names end in .weight";
        break;
    case NC_FP4_LAYOUT_GGUF:
        if (w->rank > 4) return "GGUF has four dimensions at most";
        if (nv && columns % 64) return "GGUF's NVFP4 has rows of a multiple of 64";
        break;
    case NC_FP4_LAYOUT_TORCHAO:
        if (!strchr(w->name, '.')) return "torchao's names have a point";
        if (w->swizzled && w->rank != 2) return "torchao's swizzled scales are those of a matrix";
        break;
    case NC_FP4_LAYOUT_COMPRESSED:
    case NC_FP4_LAYOUT_MODELOPT: break;
    default: return "this layout has no 4-bit floats";
    }
    if (!mx && !nv) return "the layout has MXFP4 and NVFP4";
    if (w->rank < 2 && layout != NC_FP4_LAYOUT_GGUF) return "its shape is no matrix";
    return columns % (mx ? 32 : 16) ? "its rows are no multiple of the block" : NULL;
}

NC_API nc_status nc_fp4_writer_add(nc_fp4_writer *writer, const nc_fp4_weight *weight,
                                   nc_error *err) {
    const char *why;
    nc_fp4__planned p;
    uint64_t count = 1;
    uint32_t i;
    nc__clear(err);
    if (!writer || !weight || !weight->name || !*weight->name || writer->begun)
        return nc__fail(err, NC_ERR_ARG, 0, 0, "no name, or the header is written");
    memset(&p, 0, sizeof p);
    p.about = *weight;
    why = nc_fp4__writer_refuses(writer->layout, weight);
    if (why) return nc__fail(err, NC_ERR_UNSUPPORTED, 0, 0, "'%.80s': %s", weight->name, why);
    if (weight->rank > 8)
        return nc__fail(err, NC_ERR_LIMIT, 0, 0, "'%.80s' has more than eight dimensions",
                        weight->name);
    for (i = 0; i < weight->rank; i++) {
        if (weight->shape[i] && count > (UINT64_C(1) << 56) / weight->shape[i])
            return nc__fail(err, NC_ERR_LIMIT, 0, 0, "'%.80s' has more than 2^56 values",
                            weight->name);
        count *= weight->shape[i];
    }
    p.about.columns = weight->rank ? weight->shape[weight->rank - 1] : 1;
    p.about.rows = weight->rank > 1 ? weight->shape[weight->rank - 2] : 1;
    for (p.about.stack = 1, i = 0; i + 2 < weight->rank; i++) p.about.stack *= weight->shape[i];
    if (weight->format == NC_FP4_FORMAT_COUNT) {
        p.bits = weight->dtype ? (uint32_t)nc__dtype_bits(weight->dtype) : 0;
        p.bytes = p.bits ? (count * p.bits + 7) / 8 : weight->bytes;
    } else if ((unsigned)weight->format > NC_FP4_FORMAT_COUNT) {
        return nc__fail(err, NC_ERR_ARG, 0, 0, "'%.80s' has an unknown format", weight->name);
    } else {
        const nc_fp4__row *row = &nc_fp4__formats[weight->format];
        const uint32_t block = weight->block;
        if (row->scale != NC_FP4__FLOAT32 || !block)
            p.about.block = row->block;
        else if (!nc_fp4__is_block(block))
            return nc__fail(err, NC_ERR_ARG, 0, 0,
                            "'%.60s' has blocks of %u: powers of two from 32 to 4,096 are possible",
                            weight->name, (unsigned)block);
        p.about.scaled = row->scale == NC_FP4__E4M3 && writer->layout != NC_FP4_LAYOUT_MLX &&
                         (writer->layout != NC_FP4_LAYOUT_GGUF ||
                          (weight->scaled && nc_fp4__before(weight->name, ".weight")));
    }
    if (writer->layout != NC_FP4_LAYOUT_TORCHAO) p.about.swizzled = 0;
    if (writer->layout != NC_FP4_LAYOUT_BNB) p.about.nested = 0;
    if (writer->layout == NC_FP4_LAYOUT_BNB && weight->format != NC_FP4_FORMAT_COUNT) {
        p.about.rows *= p.about.stack;
        p.about.stack = 1;
    }
    p.name_at = writer->text.used;
    nc__buffer_put(&writer->text, weight->name, strlen(weight->name) + 1);
    p.dtype_at = writer->text.used;
    nc__buffer_print(&writer->text, "%s", weight->dtype ? weight->dtype : "");
    nc__buffer_put(&writer->text, "", 1);
    if (writer->text.status == NC_OK) nc__buffer_put(&writer->planned, &p, sizeof p);
    if (writer->text.status == NC_OK && writer->planned.status == NC_OK) return NC_OK;
    nc__buffer_cut_back(&writer->text, p.name_at);
    writer->planned.status = NC_OK;
    return nc__fail(err, NC_ERR_MEMORY, 0, 0, "out of memory");
}

/* A tensor of the header: a name of n characters and a suffix. Its place becomes the part's. */
static void nc_fp4__writer_part(nc_fp4_writer *writer, nc__head *h, nc_fp4__planned *p, int part,
                                const char *base, size_t n, const char *suffix, const char *dtype,
                                const uint64_t *shape, uint32_t rank) {
    const size_t bits = nc__dtype_bits(dtype);
    if ((bits < 16 ? 8 : bits) != writer->width) return;
    writer->state.used = 0;
    nc__buffer_put(&writer->state, base, n);
    nc__buffer_put(&writer->state, suffix, strlen(suffix) + 1);
    p->at[part] = h->at;
    if (writer->state.status == NC_OK) nc__head_tensor(h, writer->state.data, dtype, shape, rank);
}

enum { NC_FP4__BNB_TEXT = 480 }; /* more than bitsandbytes' text takes */

/* bitsandbytes' JSON text, of the same length whatever the offset of nested scales is. */
static int nc_fp4__bnb_text(const nc_fp4__planned *p, float offset, char *out, size_t room) {
    int n = snprintf(out, room,
                     "{\"quant_type\": \"%s\", \"blocksize\": %u, \"dtype\": \"float32\", "
                     "\"shape\": [",
                     p->about.format == NC_FP4_NF4 ? "nf4" : "fp4", (unsigned)p->about.block);
    uint32_t i;
    for (i = 0; i < p->about.rank; i++)
        n += snprintf(out + n, room - (size_t)n, i ? ", %llu" : "%llu",
                      (unsigned long long)p->about.shape[i]);
    n += snprintf(out + n, room - (size_t)n, "]");
    if (p->about.nested) {
        char number[64];
        nc__print_real(number, (double)offset, 9);
        n += snprintf(out + n, room - (size_t)n,
                      ", \"nested_blocksize\": %u, \"nested_dtype\": \"float32\", "
                      "\"nested_offset\": %-16s",
                      (unsigned)p->about.nested, number);
    }
    return n + snprintf(out + n, room - (size_t)n, "}");
}

static uint64_t nc_fp4__planned_count(const nc_fp4__planned *p) {
    return p->about.stack * p->about.rows * p->about.columns;
}

/* Scales of bitsandbytes' blocks. */
static uint64_t nc_fp4__planned_blocks(const nc_fp4__planned *p) {
    const uint64_t count = nc_fp4__planned_count(p), block = p->about.block;
    return count / block + (count % block != 0);
}

static void nc_fp4__head_bnb(nc_fp4_writer *writer, nc__head *h, nc_fp4__planned *p) {
    const char *name = p->about.name;
    const size_t n = strlen(name);
    const uint64_t count = nc_fp4__planned_count(p), nested = p->about.nested;
    uint64_t shape[2];
    char text[NC_FP4__BNB_TEXT];
    shape[1] = 1;
    shape[0] = count / 2 + count % 2;
    nc_fp4__writer_part(writer, h, p, NC_FP4__CODES, name, n, "", "U8", shape, 2);
    shape[0] = nc_fp4__planned_blocks(p);
    nc_fp4__writer_part(writer, h, p, NC_FP4__SCALES, name, n, ".absmax", nested ? "U8" : "F32",
                        shape, 1);
    if (nested) {
        shape[0] = shape[0] / nested + (shape[0] % nested != 0);
        nc_fp4__writer_part(writer, h, p, NC_FP4__NESTED, name, n, ".nested_absmax", "F32", shape,
                            1);
        shape[0] = 256;
        nc_fp4__writer_part(writer, h, p, NC_FP4__NESTED_TABLE, name, n, ".nested_quant_map", "F32",
                            shape, 1);
    }
    shape[0] = 16;
    nc_fp4__writer_part(writer, h, p, NC_FP4__TABLE, name, n, ".quant_map", "F32", shape, 1);
    shape[0] = (uint64_t)nc_fp4__bnb_text(p, 0.0f, text, sizeof text);
    nc_fp4__writer_part(writer, h, p, NC_FP4__STATE, name, n,
                        p->about.format == NC_FP4_NF4 ? ".quant_state.bitsandbytes__nf4"
                                                      : ".quant_state.bitsandbytes__fp4",
                        "U8", shape, 1);
}

/* Codes, scales and tensor scales of the layouts that differ in names and shapes alone. */
static void nc_fp4__head_stack(nc_fp4_writer *writer, nc__head *h, nc_fp4__planned *p) {
    const nc_fp4_layout layout = writer->layout;
    const nc_fp4__row *row = &nc_fp4__formats[p->about.format];
    const int nv = row->scale == NC_FP4__E4M3;
    const char *name = p->about.name, *suffix;
    const uint32_t last = p->about.rank - 1;
    size_t n = strlen(name);
    uint64_t shape[9], columns = p->about.columns;
    memcpy(shape, p->about.shape, sizeof p->about.shape);
    shape[last] = columns / 2 + columns % 2;
    if (layout == NC_FP4_LAYOUT_GPT_OSS) {
        shape[last] = columns / 32;
        shape[last + 1] = 16;
        nc_fp4__writer_part(writer, h, p, NC_FP4__CODES, name, n, "_blocks", "U8", shape, last + 2);
    } else if (layout == NC_FP4_LAYOUT_MLX) {
        shape[last] = columns / 8;
        nc_fp4__writer_part(writer, h, p, NC_FP4__CODES, name, n, "", "U32", shape, last + 1);
        n = nc_fp4__before(name, ".weight");
    } else {
        nc_fp4__writer_part(writer, h, p, NC_FP4__CODES, name, n,
                            layout == NC_FP4_LAYOUT_COMPRESSED ? "_packed" : "", "U8", shape,
                            last + 1);
    }
    if (!row->block) return;
    shape[last] = columns / row->block + (columns % row->block != 0);
    suffix = layout == NC_FP4_LAYOUT_GPT_OSS ? "_scales"
             : layout == NC_FP4_LAYOUT_MLX   ? ".scales"
                                             : "_scale";
    nc_fp4__writer_part(writer, h, p, NC_FP4__SCALES, name, n, suffix,
                        layout == NC_FP4_LAYOUT_OWN         ? nc_fp4__scales[row->scale].dtype
                        : nv && layout != NC_FP4_LAYOUT_MLX ? "F8_E4M3"
                                                            : "U8",
                        shape, last + 1);
    if (!nv || layout == NC_FP4_LAYOUT_MLX) return;
    shape[0] = p->about.stack;
    suffix = layout == NC_FP4_LAYOUT_OWN          ? "_tensor_scale"
             : layout == NC_FP4_LAYOUT_COMPRESSED ? "_global_scale"
                                                  : "_scale_2";
    nc_fp4__writer_part(writer, h, p, NC_FP4__TENSOR_SCALE, name, n, suffix, "F32", shape,
                        layout != NC_FP4_LAYOUT_MODELOPT || p->about.stack > 1);
}

/* torchao: P.A is P._A_qdata, P._A_scale, P._A_per_tensor_scale. */
static void nc_fp4__head_torchao(nc_fp4_writer *writer, nc__head *h, nc_fp4__planned *p) {
    const int nv = p->about.format == NC_FP4_NVFP4;
    const uint32_t last = p->about.rank - 1;
    const size_t n = strlen(p->about.name);
    const size_t point = (size_t)(strrchr(p->about.name, '.') - p->about.name) + 1;
    uint64_t shape[8];
    nc__buffer base;
    memset(&base, 0, sizeof base);
    nc__buffer_put(&base, p->about.name, point);
    nc__buffer_put(&base, "_", 1);
    nc__buffer_put(&base, p->about.name + point, n - point);
    memcpy(shape, p->about.shape, sizeof shape);
    if (base.status != NC_OK) {
        h->b.status = base.status;
        nc__buffer_free(&base);
        return;
    }
    shape[last] /= 2;
    nc_fp4__writer_part(writer, h, p, NC_FP4__CODES, base.data, n + 1, "_qdata", "U8", shape,
                        last + 1);
    shape[last] = p->about.columns / (nv ? 16 : 32);
    if (p->about.swizzled) { /* tiles of 32 x 16 bytes */
        shape[0] = nc_fp4__up(shape[0], 128) / 4;
        shape[1] = nc_fp4__up(shape[1], 4) * 4;
    }
    nc_fp4__writer_part(writer, h, p, NC_FP4__SCALES, base.data, n + 1, "_scale",
                        nv ? "F8_E4M3" : "F8_E8M0", shape, last + 1);
    shape[0] = p->about.stack;
    shape[1] = shape[2] = 1;
    if (nv)
        nc_fp4__writer_part(writer, h, p, NC_FP4__TENSOR_SCALE, base.data, n + 1,
                            "_per_tensor_scale", "F32", shape, p->about.stack > 1 ? 3 : 0);
    nc__buffer_free(&base);
}

/* What torchao's metadata say of each tensor (prototype/safetensors of torchao 0.18). */
static void nc_fp4__torchao_pairs(nc_fp4_writer *writer, nc__head *h) {
    static const char mx[] =
        "{\"_type\": \"MXTensor\", \"_data\": {\"elem_dtype\": {\"_type\": \"torch.dtype\", "
        "\"_data\": \"float4_e2m1fn_x2\"}, \"block_size\": 32, \"orig_dtype\": {\"_type\": "
        "\"torch.dtype\", \"_data\": \"bfloat16\"}, \"kernel_preference\": {\"_type\": "
        "\"KernelPreference\", \"_data\": \"EMULATED\"}, \"act_quant_kwargs\": null, "
        "\"is_swizzled_scales\": %s}, \"_tensor_data_names\": [\"qdata\", \"scale\"]}";
    static const char nv[] =
        "{\"_type\": \"NVFP4Tensor\", \"_data\": {\"is_swizzled_scales\": %s, "
        "\"use_triton_kernel\": false, \"act_quant_kwargs\": null, \"block_size\": 16, "
        "\"orig_dtype\": {\"_type\": \"torch.dtype\", \"_data\": \"bfloat16\"}}, "
        "\"_tensor_data_names\": [\"per_tensor_scale\", \"qdata\", \"scale\"]}";
    nc__buffer names;
    size_t i;
    memset(&names, 0, sizeof names);
    nc__buffer_put(&names, "[", 1);
    for (i = 0; i < nc_fp4__writer_count(writer); i++) {
        const nc_fp4_weight *about = &nc_fp4__writer_item(writer, i)->about;
        const char *swizzled = about->swizzled ? "true" : "false";
        char text[sizeof mx + sizeof nv] = "{\"_type\": \"Tensor\"}";
        if (about->format == NC_FP4_MXFP4) snprintf(text, sizeof text, mx, swizzled);
        if (about->format == NC_FP4_NVFP4) snprintf(text, sizeof text, nv, swizzled);
        if (i) nc__buffer_put(&names, ", ", 2);
        nc__buffer_quote(&names, about->name);
        nc__head_pair(h, about->name, text);
    }
    nc__buffer_put(&names, "]", 1);
    if (names.status == NC_OK)
        nc__head_pair(h, "tensor_names", names.data);
    else
        h->b.status = names.status;
    nc__buffer_free(&names);
}

/* This header's own words for each tensor: "NAME.nc_fp4": "FORMAT COLUMNS". */
static void nc_fp4__own_pairs(nc_fp4_writer *writer, nc__head *h) {
    size_t i;
    for (i = 0; i < nc_fp4__writer_count(writer); i++) {
        const nc_fp4_weight *about = &nc_fp4__writer_item(writer, i)->about;
        char value[64];
        if (about->format == NC_FP4_FORMAT_COUNT) continue;
        snprintf(value, sizeof value, "%s %llu", nc_fp4__formats[about->format].name,
                 (unsigned long long)about->columns);
        writer->state.used = 0;
        nc__buffer_print(&writer->state, "%s.nc_fp4", about->name);
        if (writer->state.status == NC_OK) nc__head_pair(h, writer->state.data, value);
    }
}

/* The tensors of one weight, of those types whose turn it is. */
static nc_status nc_fp4__head_weight(nc_fp4_writer *writer, nc__head *h, nc_fp4__planned *p,
                                     nc_error *err) {
    if (p->about.format == NC_FP4_FORMAT_COUNT) {
        if (!p->bits)
            return nc__fail(err, NC_ERR_UNSUPPORTED, 0, 0,
                            "safetensors have no type '%s' ('%.60s')", p->about.dtype,
                            p->about.name);
        nc_fp4__writer_part(writer, h, p, NC_FP4__CODES, p->about.name, strlen(p->about.name), "",
                            p->about.dtype, p->about.shape, p->about.rank);
    } else if (writer->layout == NC_FP4_LAYOUT_BNB) {
        nc_fp4__head_bnb(writer, h, p);
    } else if (writer->layout == NC_FP4_LAYOUT_TORCHAO) {
        nc_fp4__head_torchao(writer, h, p);
    } else {
        nc_fp4__head_stack(writer, h, p);
    }
    return NC_OK;
}

/* The header of a safetensors file; every part gets its place. */
static nc_status nc_fp4__writer_safetensors(nc_fp4_writer *writer, nc__buffer *out, nc_error *err) {
    size_t i, at = 0, bytes;
    const char *key, *value;
    nc_status status = NC_OK;
    uint32_t type;
    nc__head h;
    nc__head_open(&h, NULL);
    while (nc_fp4__writer_next(writer, &at, &type, &key, &value, &bytes))
        if (type == NC_FP4__GGUF_STRING) nc__head_pair(&h, key, value);
    if (writer->layout == NC_FP4_LAYOUT_TORCHAO) nc_fp4__torchao_pairs(writer, &h);
    if (writer->layout == NC_FP4_LAYOUT_OWN) nc_fp4__own_pairs(writer, &h);
    /* the widest types first, so that all values are aligned */
    for (writer->width = 64; writer->width >= 8; writer->width /= 2)
        for (i = 0; i < nc_fp4__writer_count(writer) && status == NC_OK; i++)
            status = nc_fp4__head_weight(writer, &h, nc_fp4__writer_item(writer, i), err);
    if (writer->state.status != NC_OK) h.b.status = writer->state.status;
    (void)nc__head_close(&h);
    for (i = 0; i < nc_fp4__writer_count(writer); i++)
        for (at = 0; at < NC_FP4__PARTS; at++) nc_fp4__writer_item(writer, i)->at[at] += h.b.used;
    writer->size = h.b.used + h.at;
    *out = h.b;
    if (status != NC_OK) return status;
    return h.b.status == NC_OK ? NC_OK
                               : nc__fail(err, h.b.status, 0, 0, "out of memory for the header");
}

/* The header of a GGUF file; every weight gets its place. */
static nc_status nc_fp4__writer_gguf(nc_fp4_writer *writer, nc__buffer *b, nc_error *err) {
    const size_t count = nc_fp4__writer_count(writer);
    size_t i, at = 0, bytes;
    nc_status status = NC_OK;
    const char *key, *value;
    nc_fp4__gguf_head h;
    uint32_t type;
    nc_fp4__gguf_open(&h, 0);
    while (nc_fp4__writer_next(writer, &at, &type, &key, &value, &bytes)) {
        if (type == NC_FP4__GGUF_STRING)
            nc_fp4__gguf_put_word(&h, key, value);
        else
            nc_fp4__gguf_put_pair(&h, key, type, value, bytes);
    }
    for (i = 0; i < count && status == NC_OK; i++) {
        nc_fp4__planned *p = nc_fp4__writer_item(writer, i);
        const char *dtype = p->about.format == NC_FP4_MXFP4   ? "MXFP4"
                            : p->about.format == NC_FP4_NVFP4 ? "NVFP4"
                                                              : p->about.dtype;
        p->at[NC_FP4__CODES] = h.at;
        if (p->about.format != NC_FP4_FORMAT_COUNT)
            p->bytes = p->about.rows * p->about.stack *
                       nc_fp4__ggml_bytes(p->about.format, (size_t)p->about.columns);
        status =
            nc_fp4__gguf_put_tensor(&h, p->about.name, dtype, p->about.shape, p->about.rank, err);
        if (status == NC_OK && h.bytes != p->bytes)
            status =
                nc__fail(err, NC_ERR_MISMATCH, 0, 0, "'%.60s' has %llu bytes, not %llu",
                         p->about.name, (unsigned long long)h.bytes, (unsigned long long)p->bytes);
        if (status != NC_OK || p->about.format == NC_FP4_FORMAT_COUNT || !p->about.scaled) continue;
        p->at[NC_FP4__TENSOR_SCALE] = h.at;
        writer->state.used = 0;
        nc__buffer_put(&writer->state, p->about.name, nc_fp4__before(p->about.name, ".weight"));
        nc__buffer_put(&writer->state, ".scale", 7);
        status =
            writer->state.status == NC_OK
                ? nc_fp4__gguf_put_tensor(&h, writer->state.data, "F32", &p->about.stack, 1, err)
                : nc__fail(err, NC_ERR_MEMORY, 0, 0, "out of memory for the header");
    }
    (void)nc_fp4__gguf_close(&h, b);
    if (status != NC_OK) return status;
    for (i = 0; i < count; i++)
        for (at = 0; at < NC_FP4__PARTS; at++) nc_fp4__writer_item(writer, i)->at[at] += b->used;
    writer->size = b->used + h.at;
    return b->status == NC_OK ? NC_OK
                              : nc__fail(err, b->status, 0, 0, "out of memory for the header");
}

#ifndef NC_NO_STDIO
static nc_status nc_fp4__file_write(void *user, uint64_t at, const void *from, size_t bytes);
static nc_status nc_fp4__file_lost(void *user, nc_error *err);
#endif

static nc_status nc_fp4__writer_put(nc_fp4_writer *writer, uint64_t at, const void *from,
                                    size_t bytes, nc_error *err) {
    const nc_status status =
        bytes ? writer->sink.write_fn(writer->sink.user, at, from, bytes) : NC_OK;
#ifndef NC_NO_STDIO
    if (status == NC_ERR_IO && writer->sink.write_fn == nc_fp4__file_write)
        return nc_fp4__file_lost(writer->sink.user, err);
#endif
    return status == NC_OK ? NC_OK
                           : nc__fail(err, status, 0, 0, "cannot write %llu bytes at %llu",
                                      (unsigned long long)bytes, (unsigned long long)at);
}

/* n float32 values of a part, n at most 256. */
static nc_status nc_fp4__writer_floats(nc_fp4_writer *writer, uint64_t at, const float *x, size_t n,
                                       nc_error *err) {
    uint8_t bytes[4 * 256];
    size_t i;
    for (i = 0; i < n; i++) nc__put_le(bytes + 4 * i, nc_fp4__bits(x[i]), 4);
    return nc_fp4__writer_put(writer, at, bytes, 4 * n, err);
}

static nc_status nc_fp4__writer_state(nc_fp4_writer *writer, const nc_fp4__planned *p, float offset,
                                      nc_error *err) {
    char text[NC_FP4__BNB_TEXT];
    const int n = nc_fp4__bnb_text(p, offset, text, sizeof text);
    return nc_fp4__writer_put(writer, p->at[NC_FP4__STATE], text, (size_t)n, err);
}

/* The 256 values of nested scales' codes, ascending (Dettmers, 8-Bit Approximations for Parallelism
 * in Deep Learning, 2015, as bitsandbytes' create_dynamic_map rounds them): for each power of ten
 * from 1e-6 to 1 the middles of 1, 2, 4 .. 64 equal parts of 0.1 to 1, both signs; 0; 1. */
static void nc_fp4__dynamic_table(float *value) {
    static const float power[7] = {1e-6f, 1e-5f, 1e-4f, 1e-3f, 1e-2f, 1e-1f, 1.0f};
    uint32_t i, k, at = 128;
    for (i = 0; i < 7; i++) {
        const uint32_t parts = 1u << i, half = (parts + 1) / 2;
        const float step = (1.0f - 0.1f) / (float)parts;
        float low = 0.1f;
        for (k = 1; k <= parts; k++, at++) {
            const float high = k < half ? NC__FMAF(step, (float)k, 0.1f)
                                        : NC__FMAF(-step, (float)(parts - k), 1.0f);
            const float sum = low + high;
            value[at] = power[i] * (sum * 0.5f);
            value[254 - at] = -value[at];
            low = high;
        }
    }
    value[127] = 0.0f;
    value[255] = 1.0f;
}

/* What is known before the data: bitsandbytes' tables, and its text unless scales are nested. */
static nc_status nc_fp4__writer_known(nc_fp4_writer *writer, nc_error *err) {
    nc_status status = NC_OK;
    size_t i, k;
    for (i = 0; i < nc_fp4__writer_count(writer) && status == NC_OK; i++) {
        const nc_fp4__planned *p = nc_fp4__writer_item(writer, i);
        float table[256];
        if (writer->layout != NC_FP4_LAYOUT_BNB || p->about.format == NC_FP4_FORMAT_COUNT) continue;
        for (k = 0; k < 16; k++) /* its FP4 has no -0 there */
            table[k] = nc_fp4__formats[p->about.format].element->value[k] + 0.0f;
        status = nc_fp4__writer_floats(writer, p->at[NC_FP4__TABLE], table, 16, err);
        if (status == NC_OK && (!p->about.nested || nc_fp4__planned_count(p) == 0))
            status = nc_fp4__writer_state(writer, p, 0.0f, err);
        if (status != NC_OK || !p->about.nested) continue;
        nc_fp4__dynamic_table(table);
        status = nc_fp4__writer_floats(writer, p->at[NC_FP4__NESTED_TABLE], table, 256, err);
    }
    return status;
}

NC_API nc_status nc_fp4_writer_begin(nc_fp4_writer *writer, const nc_fp4_sink *sink,
                                     nc_error *err) {
    nc_status status;
    nc__buffer head;
    size_t i;
    nc__clear(err);
    if (!writer || !sink || !sink->write_fn || writer->begun)
        return nc__fail(err, NC_ERR_ARG, 0, 0, "no sink, or begun before");
    memset(&head, 0, sizeof head);
    nc__buffer_cut_back(&writer->state, 0);
    writer->sink = *sink;
    for (i = 0; i < nc_fp4__writer_count(writer); i++) { /* the texts have moved as they grew */
        nc_fp4__planned *p = nc_fp4__writer_item(writer, i);
        p->about.name = writer->text.data + p->name_at;
        p->about.dtype = writer->text.data + p->dtype_at;
    }
    status = writer->layout == NC_FP4_LAYOUT_GGUF ? nc_fp4__writer_gguf(writer, &head, err)
                                                  : nc_fp4__writer_safetensors(writer, &head, err);
    if (status == NC_OK) status = nc_fp4__writer_put(writer, 0, head.data, head.used, err);
    /* the last byte, so that the file has its length also where the end is padding */
    if (status == NC_OK && writer->size > head.used)
        status = nc_fp4__writer_put(writer, writer->size - 1, "", 1, err);
    nc__buffer_free(&head);
    if (status == NC_OK) status = nc_fp4__writer_known(writer, err);
    writer->begun = status == NC_OK;
    return status;
}

NC_API uint64_t nc_fp4_writer_size(const nc_fp4_writer *writer) {
    return writer ? writer->size : 0;
}

/* -- data of the planned weights --------------------------------------------------------------- */

/* Weight i of the plan; null after a failure. */
static const nc_fp4__planned *nc_fp4__writer_at(const nc_fp4_writer *writer, size_t i, int four,
                                                nc_error *err) {
    const nc_fp4__planned *p;
    nc__clear(err);
    if (!writer || !writer->begun || i >= nc_fp4__writer_count(writer)) {
        (void)nc__fail(err, NC_ERR_ARG, 0, 0, "nothing is begun, or no weight has that number");
        return NULL;
    }
    p = nc_fp4__writer_item(writer, i);
    if ((p->about.format != NC_FP4_FORMAT_COUNT) == four) return p;
    (void)nc__fail(err, NC_ERR_ARG, 0, 0, "'%.80s' is planned as %s", p->about.name,
                   four ? p->about.dtype : nc_fp4_format_name(p->about.format));
    return NULL;
}

/* Codes of rows to flat ones: the opposite of nc_fp4__part_rows. */
static void nc_fp4__join_rows(uint8_t *out, const nc_fp4_tensor *t) {
    const size_t row_bytes = nc_fp4_code_bytes(t->columns);
    size_t i = 0, r, c;
    memset(out, 0, nc_fp4_code_bytes((size_t)t->rows * t->columns));
    for (r = 0; r < t->rows; r++)
        for (c = 0; c < t->columns; c++, i++)
            out[i / 2] =
                (uint8_t)(out[i / 2] | nc_fp4__code_at(t->codes + r * row_bytes, c) << (i % 2 * 4));
}

/* The code of the nearest of 256 ascending values, the lower of two as near. */
static uint32_t nc_fp4__nearest_of_256(const float *value, float x) {
    uint32_t low = 0, high = 255;
    while (high - low > 1) {
        const uint32_t middle = (low + high) / 2;
        if (value[middle] < x)
            low = middle;
        else
            high = middle;
    }
    return (double)x - (double)value[low] <= (double)value[high] - (double)x ? low : high;
}

/* All scales as codes of 8 bits, with a scale for each run of them: what they are above their mean.
 * The mean is a float64 sum in their order. */
static nc_status nc_fp4__writer_nest(nc_fp4_writer *writer, nc_fp4__planned *p, nc_error *err) {
    const uint64_t blocks = nc_fp4__planned_blocks(p);
    const size_t run = p->about.nested;
    uint8_t *codes; /* the scales stay as they are: the sink may fail */
    nc_status status = NC_OK;
    double sum = 0.0;
    float value[256], offset;
    size_t i, k, n;
    for (i = 0; i < blocks; i++) sum += (double)p->nested[i];
    offset = (float)(sum / (double)blocks);
    if (offset - offset != 0)
        return nc__fail(err, NC_ERR_UNSUPPORTED, 0, 0,
                        "'%.60s' has scales that are not finite: they cannot be nested",
                        p->about.name);
    codes = (uint8_t *)nc__alloc(NULL, (size_t)blocks);
    if (!codes) return nc__fail(err, NC_ERR_MEMORY, 0, 0, "out of memory for the scales' codes");
    nc_fp4__dynamic_table(value);
    for (i = 0; i < blocks && status == NC_OK; i += n) {
        float most = 0.0f;
        n = blocks - i < run ? (size_t)(blocks - i) : run;
        for (k = 0; k < n; k++) {
            const float above = p->nested[i + k] - offset;
            if (fabsf(above) > most) most = fabsf(above);
        }
        for (k = 0; k < n; k++) {
            const float above = p->nested[i + k] - offset;
            codes[i + k] = (uint8_t)nc_fp4__nearest_of_256(value, most > 0 ? above / most : 0.0f);
        }
        status = nc_fp4__writer_floats(writer, p->at[NC_FP4__NESTED] + i / run * 4, &most, 1, err);
    }
    if (status == NC_OK)
        status = nc_fp4__writer_put(writer, p->at[NC_FP4__SCALES], codes, (size_t)blocks, err);
    nc__free(NULL, codes, 0);
    return status == NC_OK ? nc_fp4__writer_state(writer, p, offset, err) : status;
}

/* Scales first .. first + n - 1, float32 in the file's order of bytes, of nested ones: they wait
 * for the last. */
static nc_status nc_fp4__writer_nested(nc_fp4_writer *writer, nc_fp4__planned *p, uint64_t first,
                                       const uint8_t *scales, size_t n, nc_error *err) {
    const uint64_t blocks = nc_fp4__planned_blocks(p);
    nc_status status = NC_OK;
    size_t i;
    if (!p->nested) p->nested = (float *)nc__calloc(NULL, nc__mul_size((size_t)blocks, 4));
    if (!p->nested) return nc__fail(err, NC_ERR_MEMORY, 0, 0, "out of memory for the scales");
    if (n > blocks - p->nested_count)
        return nc__fail(err, NC_ERR_ARG, 0, 0, "'%.80s': rows were given twice", p->about.name);
    for (i = 0; i < n; i++)
        p->nested[first + i] = nc_fp4__float((uint32_t)nc__get_le(scales + 4 * i, 4));
    p->nested_count += n;
    if (p->nested_count < blocks) return NC_OK;
    status = nc_fp4__writer_nest(writer, p, err);
    if (status != NC_OK) { /* the same rows may be given again */
        p->nested_count -= n;
        return status;
    }
    nc__free(NULL, p->nested, 0);
    p->nested = NULL;
    return NC_OK;
}

static nc_status nc_fp4__writer_bnb(nc_fp4_writer *writer, nc_fp4__planned *p, uint64_t row,
                                    const nc_fp4_tensor *t, nc_error *err) {
    const size_t n = (size_t)t->rows * t->columns, bytes = nc_fp4_code_bytes(n);
    const uint64_t first = row * t->columns, block = p->about.block;
    const uint32_t own = t->block ? t->block : nc_fp4__formats[t->format].block;
    const int last = row + t->rows == p->about.rows;
    uint8_t *codes;
    nc_status status;
    if (own != block || first % block || (!last && n % block) ||
        (!t->across && t->rows > 1 && t->columns % block))
        return nc__fail(err, NC_ERR_ARG, 0, 0,
                        "'%.60s' needs blocks of %u across rows, and whole ones", p->about.name,
                        (unsigned)block);
    codes = (uint8_t *)nc__alloc(NULL, bytes);
    if (!codes) return nc__fail(err, NC_ERR_MEMORY, 0, 0, "out of memory");
    nc_fp4__join_rows(codes, t);
    (void)nc_fp4_reorder(codes, codes, 2 * bytes, NC_FP4_LOW_FIRST, NC_FP4_HIGH_FIRST, 0);
    status = nc_fp4__writer_put(writer, p->at[NC_FP4__CODES] + first / 2, codes, bytes, err);
    nc__free(NULL, codes, 0);
    if (status != NC_OK) return status;
    if (p->about.nested)
        return nc_fp4__writer_nested(writer, p, first / block, t->scales,
                                     nc_fp4_tensor_scale_bytes(t) / 4, err);
    return nc_fp4__writer_put(writer, p->at[NC_FP4__SCALES] + first / block * 4, t->scales,
                              nc_fp4_tensor_scale_bytes(t), err);
}

static nc_status nc_fp4__writer_gguf_rows(nc_fp4_writer *writer, const nc_fp4__planned *p,
                                          uint64_t row, const nc_fp4_tensor *t, nc_error *err) {
    const size_t row_bytes = nc_fp4__ggml_bytes(t->format, t->columns);
    const size_t code_bytes = nc_fp4_code_bytes(t->columns);
    const size_t scale_bytes = nc_fp4_scale_bytes(t->format, t->columns);
    uint8_t *raw = (uint8_t *)nc__alloc(NULL, row_bytes);
    nc_status status = NC_OK;
    uint32_t r;
    if (!raw) return nc__fail(err, NC_ERR_MEMORY, 0, 0, "out of memory");
    for (r = 0; r < t->rows && status == NC_OK; r++) {
        status = nc_fp4__ggml_pack(t->format, t->codes + r * code_bytes,
                                   t->scales + r * scale_bytes, t->columns, raw);
        if (status == NC_OK)
            status = nc_fp4__writer_put(writer, p->at[NC_FP4__CODES] + (row + r) * row_bytes, raw,
                                        row_bytes, err);
        else
            (void)nc__fail(err, status, 0, 0,
                           "'%.60s' has a scale that means another value in GGUF", p->about.name);
    }
    nc__free(NULL, raw, 0);
    return status;
}

/* The tensor scale as the layout has it: multiplied with, divided by, or 1. */
static nc_status nc_fp4__writer_scale(nc_fp4_writer *writer, const nc_fp4__planned *p,
                                      uint64_t matrix, const nc_fp4_tensor *t, nc_error *err) {
    const int divides = writer->layout == NC_FP4_LAYOUT_COMPRESSED;
    const float scale = divides == (t->divides != 0) ? t->tensor_scale : 1.0f / t->tensor_scale;
    if (!p->about.scaled)
        return t->tensor_scale == 1.0f
                   ? NC_OK
                   : nc__fail(err, NC_ERR_UNSUPPORTED, 0, 0,
                              "'%.50s' has the tensor scale %.9g: it is planned without one",
                              p->about.name, (double)t->tensor_scale);
    return nc_fp4__writer_floats(writer, p->at[NC_FP4__TENSOR_SCALE] + 4 * matrix, &scale, 1, err);
}

/* Scales of rows to their tiles, four blocks of a row side by side. What pads the tiles is zero:
 * the last rows write that of the rows behind them. */
static nc_status nc_fp4__writer_swizzled(nc_fp4_writer *writer, const nc_fp4__planned *p,
                                         uint64_t row, const nc_fp4_tensor *t, nc_error *err) {
    const size_t blocks = nc_fp4_scale_bytes(t->format, t->columns);
    const uint64_t end = row + t->rows;
    const uint64_t last = end == p->about.rows ? nc_fp4__up(end, 128) : end;
    nc_status status = NC_OK;
    uint64_t r;
    size_t c, k;
    for (r = row; r < last; r++)
        for (c = 0; c < blocks && status == NC_OK; c += 4) {
            uint8_t four[4] = {0};
            for (k = 0; k < 4 && c + k < blocks && r < end; k++)
                four[k] = t->scales[(size_t)(r - row) * blocks + c + k];
            status = nc_fp4__writer_put(
                writer, p->at[NC_FP4__SCALES] + nc_fp4__swizzled(r, c, blocks), four, 4, err);
        }
    return status;
}

NC_API nc_status nc_fp4_writer_tensor(nc_fp4_writer *writer, size_t i, uint64_t row,
                                      const nc_fp4_tensor *tensor, nc_error *err) {
    const nc_fp4__planned *p = nc_fp4__writer_at(writer, i, 1, err);
    nc_fp4__row of;
    size_t code_bytes, scale_bytes;
    nc_status status = NC_OK;
    if (!p) return NC_ERR_ARG;
    if (!nc_fp4__tensor_row(tensor, &of) || !tensor->codes || tensor->format != p->about.format ||
        tensor->columns != p->about.columns || row > p->about.rows * p->about.stack ||
        tensor->rows > p->about.rows * p->about.stack - row)
        return nc__fail(err, NC_ERR_MISMATCH, 0, 0, "'%.80s' is planned otherwise", p->about.name);
    if (tensor->rows == 0) return NC_OK; /* of a weight that has none there may be no matrix */
    if (writer->layout == NC_FP4_LAYOUT_BNB)
        return nc_fp4__writer_bnb(writer, nc_fp4__writer_item(writer, i), row, tensor, err);
    if (tensor->across || of.block != p->about.block || of.block != nc_fp4_block(tensor->format))
        return nc__fail(err, NC_ERR_UNSUPPORTED, 0, 0,
                        "'%.50s' has blocks that only bitsandbytes has", p->about.name);
    if (row / p->about.rows != (row + tensor->rows - 1) / p->about.rows)
        return nc__fail(err, NC_ERR_ARG, 0, 0, "'%.60s': rows of one matrix at a time",
                        p->about.name);
    if (of.scale == NC_FP4__E4M3)
        status = nc_fp4__writer_scale(writer, p, row / p->about.rows, tensor, err);
    if (status != NC_OK) return status;
    if (writer->layout == NC_FP4_LAYOUT_GGUF)
        return nc_fp4__writer_gguf_rows(writer, p, row, tensor, err);
    code_bytes = nc_fp4_code_bytes(tensor->columns);
    scale_bytes = nc_fp4_scale_bytes(tensor->format, tensor->columns);
    status = nc_fp4__writer_put(writer, p->at[NC_FP4__CODES] + row * code_bytes, tensor->codes,
                                tensor->rows * code_bytes, err);
    if (status == NC_OK && p->about.swizzled)
        return nc_fp4__writer_swizzled(writer, p, row, tensor, err);
    if (status == NC_OK)
        status = nc_fp4__writer_put(writer, p->at[NC_FP4__SCALES] + row * scale_bytes,
                                    tensor->scales, tensor->rows * scale_bytes, err);
    return status;
}

NC_API nc_status nc_fp4_writer_values(nc_fp4_writer *writer, size_t i, uint64_t first, size_t n,
                                      const float *x, nc_error *err) {
    const nc_fp4__planned *p = nc_fp4__writer_at(writer, i, 0, err);
    const size_t width = p ? nc__dtype_width(p->about.dtype) : 0;
    uint8_t out[4 * 1024];
    nc_status status = NC_OK;
    size_t m;
    if (!p || (n && !x)) return NC_ERR_ARG;
    if (!nc_fp4__narrow(p->about.dtype, x, 0, out))
        return nc__fail(err, NC_ERR_UNSUPPORTED, 0, 0, "'%.60s' is planned as %s: give its bytes",
                        p->about.name, p->about.dtype);
    if (first > nc_fp4__planned_count(p) || n > nc_fp4__planned_count(p) - first)
        return nc__fail(err, NC_ERR_ARG, 0, 0, "'%.80s' has fewer values", p->about.name);
    for (; n && status == NC_OK; n -= m, x += m, first += m) {
        m = n < 1024 ? n : 1024;
        (void)nc_fp4__narrow(p->about.dtype, x, m, out);
        status =
            nc_fp4__writer_put(writer, p->at[NC_FP4__CODES] + first * width, out, m * width, err);
    }
    return status;
}

NC_API nc_status nc_fp4_writer_bytes(nc_fp4_writer *writer, size_t i, uint64_t at, const void *from,
                                     size_t bytes, nc_error *err) {
    const nc_fp4__planned *p = nc_fp4__writer_at(writer, i, 0, err);
    if (!p || (bytes && !from)) return NC_ERR_ARG;
    if (at > p->bytes || bytes > p->bytes - at)
        return nc__fail(err, NC_ERR_ARG, 0, 0, "'%.80s' has fewer bytes", p->about.name);
    return nc_fp4__writer_put(writer, p->at[NC_FP4__CODES] + at, from, bytes, err);
}

/* -- from one file to another, a strip of rows at a time --------------------------------------- */

#define NC_FP4__CONVERTED ((size_t)1 << 18) /* values at a time, or one row */

/* What a conversion works with. */
typedef struct nc_fp4__convert {
    nc_fp4_writer *writer;
    const nc_fp4_weights *weights;
    const nc_fp4__planned *p; /* weight `to` of the writer */
    const nc_fp4__weight *w;  /* weight `from` of the weights */
    size_t to, from;
    nc_fp4_options options;
    nc_fp4_conversion *report;
    double error, power;
    nc_progress_fn progress;
    void *user;
    float *x, *y; /* of a strip */
    nc_error *err;
} nc_fp4__convert;

static nc_status nc_fp4__convert_tick(const nc_fp4__convert *c, uint64_t done) {
    return c->progress && c->progress(c->user, done, nc_fp4__planned_count(c->p))
               ? nc__fail(c->err, NC_ERR_CANCELLED, 0, 0, "cancelled")
               : NC_OK;
}

/* One part of a weight as it is. */
static nc_status nc_fp4__convert_part(const nc_fp4__convert *c, int part, uint64_t bytes) {
    const size_t room = NC_FP4__CONVERTED * sizeof *c->x;
    nc_status status = NC_OK;
    uint64_t at;
    size_t m;
    for (at = 0; at < bytes && status == NC_OK; at += m) {
        m = bytes - at < room ? (size_t)(bytes - at) : room;
        status = nc_fp4__part_read(c->weights, c->w, part, at, c->x, m, c->err);
        if (status == NC_OK)
            status = nc_fp4__writer_put(c->writer, c->p->at[part] + at, c->x, m, c->err);
    }
    return status;
}

/* The bytes as they are. */
static nc_status nc_fp4__convert_bytes(const nc_fp4__convert *c) {
    const nc_status status = nc_fp4__convert_part(c, NC_FP4__CODES, c->p->bytes);
    return status == NC_OK ? nc_fp4__convert_tick(c, nc_fp4__planned_count(c->p)) : status;
}

/* Values of a strip to what they have become, in the sums of the report. */
static void nc_fp4__convert_sums(nc_fp4__convert *c, const float *y, size_t n) {
    nc_fp4_conversion *report = c->report;
    size_t i;
    for (i = 0; i < n; i++) {
        const double x = (double)c->x[i], e = x - (double)y[i];
        if (e - e != 0) continue; /* NaN and infinity have no error */
        c->error += e * e;
        c->power += x * x;
        if (fabs(e) > report->stats.max_abs) report->stats.max_abs = fabs(e);
    }
    report->values += n;
}

/* Values to float32, float16 or bfloat16. */
static nc_status nc_fp4__convert_values(nc_fp4__convert *c) {
    const uint64_t count = nc_fp4__planned_count(c->p);
    nc_status status = NC_OK;
    uint64_t at;
    size_t m;
    for (at = 0; at < count && status == NC_OK; at += m) {
        m = count - at < NC_FP4__CONVERTED ? (size_t)(count - at) : (size_t)NC_FP4__CONVERTED;
        status = nc_fp4_weights_values(c->weights, c->from, at, m, c->x, c->err);
        if (status == NC_OK) status = nc_fp4_writer_values(c->writer, c->to, at, m, c->x, c->err);
        if (status == NC_OK) status = nc_fp4__convert_tick(c, at + m);
    }
    c->report->values = count;
    return status;
}

/* 1: the codes can be kept: the same format and blocks, and a place for the tensor's scale. */
static int nc_fp4__convert_keeps(const nc_fp4__convert *c) {
    const nc_fp4_weight *a = &c->w->about, *b = &c->p->about;
    const nc_fp4_layout layout = c->writer->layout;
    if (a->format != b->format || a->block != b->block) return 0;
    if (layout == NC_FP4_LAYOUT_BNB)
        return a->layout == layout || a->rows * a->stack == 1 || a->columns % a->block == 0;
    if (a->across || (a->layout == NC_FP4_LAYOUT_BNB && a->block != nc_fp4_block(a->format)))
        return 0;
    return b->scaled || !a->scaled;
}

/* Nested scales stay as they are: rounded once more they would be others. The table of their codes
 * may be another one, too. */
static nc_status nc_fp4__convert_nested(const nc_fp4__convert *c) {
    const uint64_t count = nc_fp4__planned_count(c->p), blocks = nc_fp4__planned_blocks(c->p);
    const uint64_t run = c->p->about.nested;
    nc_status status = nc_fp4__convert_part(c, NC_FP4__CODES, count / 2 + count % 2);
    if (status == NC_OK) status = nc_fp4__convert_part(c, NC_FP4__SCALES, blocks);
    if (status == NC_OK)
        status = nc_fp4__convert_part(c, NC_FP4__NESTED, 4 * (blocks / run + (blocks % run != 0)));
    if (status == NC_OK) status = nc_fp4__convert_part(c, NC_FP4__NESTED_TABLE, 4 * 256);
    if (status == NC_OK)
        status = nc_fp4__writer_state(c->writer, c->p, c->w->nested_offset, c->err);
    return status == NC_OK ? nc_fp4__convert_tick(c, count) : status;
}

/* From GGUF to GGUF: scales that only ggml knows stay, too. */
static nc_status nc_fp4__convert_ggml(const nc_fp4__convert *c) {
    const nc_fp4__list *list = &c->weights->list;
    nc_status status = nc_fp4__convert_bytes(c);
    uint64_t m;
    for (m = 0; m < c->p->about.stack && c->p->about.scaled && status == NC_OK; m++) {
        const nc_fp4__entry *e =
            c->w->about.scaled ? nc_fp4__list_entry(list, c->w->part[NC_FP4__TENSOR_SCALE]) : NULL;
        float scale = 1.0f;
        if (e) status = nc_fp4__read_floats(list, e, e->count == 1 ? 0 : m, 1, &scale, c->err);
        if (status == NC_OK)
            status = nc_fp4__writer_floats(c->writer, c->p->at[NC_FP4__TENSOR_SCALE] + 4 * m,
                                           &scale, 1, c->err);
    }
    return status;
}

static nc_status nc_fp4__convert_codes(const nc_fp4__convert *c) {
    const nc_fp4_weight *a = &c->w->about;
    const uint64_t most = a->layout == NC_FP4_LAYOUT_BNB   ? a->rows
                          : a->columns < NC_FP4__CONVERTED ? NC_FP4__CONVERTED / a->columns
                                                           : 1;
    nc_status status = NC_OK;
    uint64_t m, r;
    if (a->layout == NC_FP4_LAYOUT_GGUF && c->writer->layout == a->layout)
        return nc_fp4__convert_ggml(c);
    if (a->nested && a->nested == c->p->about.nested) return nc_fp4__convert_nested(c);
    for (m = 0; m < a->stack; m++)
        for (r = 0; r < a->rows && status == NC_OK;) {
            const uint32_t rows = (uint32_t)(a->rows - r < most ? a->rows - r : most);
            nc_fp4_tensor t;
            status = nc_fp4_weights_read(c->weights, c->from, m, (uint32_t)r, rows, &t, c->err);
            if (status == NC_OK)
                status = nc_fp4_writer_tensor(c->writer, c->to, m * a->rows + r, &t, c->err);
            nc_fp4_tensor_free(&t);
            r += rows;
            if (status == NC_OK) status = nc_fp4__convert_tick(c, (m * a->rows + r) * a->columns);
        }
    return status;
}

/* Values first .. first + n - 1 of the source give NVFP4's tensor scale, as nc_fp4_tensor_create
 * has it, but for scales that are not normal; 1 where format or layout has none. */
static nc_status nc_fp4__convert_scale(const nc_fp4__convert *c, uint64_t first, uint64_t n,
                                       float *scale) {
    const nc_fp4__row *row = &nc_fp4__formats[c->p->about.format];
    uint32_t most = 0;
    nc_status status = NC_OK;
    uint64_t at;
    size_t i, m;
    *scale = 1.0f;
    if (!c->p->about.scaled) {
        if (c->p->about.format != NC_FP4_NVFP4 || !(c->options.tensor_scale > 0)) return NC_OK;
        return nc__fail(c->err, NC_ERR_UNSUPPORTED, 0, 0,
                        "'%.60s' is planned without a tensor scale, but one is given",
                        c->p->about.name);
    }
    if (c->options.tensor_scale > 0) n = 0; /* it is given */
    for (at = 0; at < n && status == NC_OK; at += m) {
        m = n - at < NC_FP4__CONVERTED ? (size_t)(n - at) : (size_t)NC_FP4__CONVERTED;
        status = nc_fp4_weights_values(c->weights, c->from, first + at, m, c->x, c->err);
        for (i = 0; i < m && status == NC_OK; i++) {
            const uint32_t a = nc_fp4__bits(c->x[i]) & UINT32_C(0x7FFFFFFF);
            if (a > most && a < UINT32_C(0x7F800000)) most = a;
        }
    }
    *scale = nc_fp4__scale_of_absmax(row, &c->options, nc_fp4__float(most));
    if (*scale < 1.17549435e-38f && (c->options.convention == NC_FP4_AS_DEFINED ||
                                     c->writer->layout == NC_FP4_LAYOUT_COMPRESSED))
        *scale = 1.17549435e-38f; /* its inverse is finite */
    return status;
}

/* The strip in c->x as a tensor: `rows` rows from `first` of the stack on. */
static nc_status nc_fp4__convert_strip(const nc_fp4__convert *c, uint64_t first, uint32_t rows,
                                       float scale, nc_fp4_tensor *t) {
    const nc_fp4_weight *b = &c->p->about;
    const nc_fp4__row *row = &nc_fp4__formats[b->format];
    const uint32_t columns = (uint32_t)b->columns;
    uint32_t r;
    if (c->writer->layout == NC_FP4_LAYOUT_BNB)
        return nc_fp4_tensor_create_blocks(t, b->format, &c->options, b->block, 1, c->x, rows,
                                           columns);
    memset(t, 0, sizeof *t);
    if (!nc_fp4__tensor_alloc(t, b->format, rows, columns)) return NC_ERR_MEMORY;
    t->tensor_scale = scale;
    t->divides = nc_fp4__scale_divides(row, &c->options);
    for (r = 0; r < rows; r++) { /* other rows, other random numbers */
        nc_fp4_options own = c->options;
        own.seed += first + r;
        nc_fp4__quantize_blocks(row, &own, c->x + (size_t)r * columns, columns, 0, scale,
                                t->codes + r * nc_fp4_code_bytes(columns),
                                t->scales + r * nc_fp4_scale_bytes(b->format, columns));
    }
    return NC_OK;
}

/* Values beyond the largest that their block can have. */
static uint64_t nc_fp4__convert_saturated(const nc_fp4__convert *c, const nc_fp4_tensor *t) {
    const float largest = nc_fp4__formats[t->format].element->largest;
    uint64_t count = 0;
    size_t r, k, i = 0;
    for (r = 0; r < t->rows; r++)
        for (k = 0; k < t->columns; k++, i++) {
            const uint32_t code = nc_fp4__code_at(t->codes + r * nc_fp4_code_bytes(t->columns), k);
            count += fabsf(nc_fp4__formats[t->format].element->value[code]) == largest &&
                     fabsf(c->x[i]) > fabsf(c->y[i]);
        }
    return count;
}

/* Rows at a time: where blocks run across rows as many as end with a block. */
static uint64_t nc_fp4__convert_rows(const nc_fp4__convert *c) {
    const nc_fp4_weight *b = &c->p->about;
    const uint64_t rows = b->columns < NC_FP4__CONVERTED ? NC_FP4__CONVERTED / b->columns : 1;
    uint64_t step = 1;
    if (c->writer->layout == NC_FP4_LAYOUT_BNB)
        while (step * b->columns % b->block) step *= 2;
    return nc_fp4__up(rows, step);
}

static nc_status nc_fp4__convert_quantize(nc_fp4__convert *c) {
    const nc_fp4_weight *b = &c->p->about;
    const uint64_t most = nc_fp4__convert_rows(c);
    nc_status status = NC_OK;
    uint64_t m, r;
    for (m = 0; m < b->stack && status == NC_OK; m++) {
        float scale;
        status = nc_fp4__convert_scale(c, m * b->rows * b->columns, b->rows * b->columns, &scale);
        for (r = 0; r < b->rows && status == NC_OK;) {
            const uint32_t rows = (uint32_t)(b->rows - r < most ? b->rows - r : most);
            const uint64_t first = m * b->rows + r;
            const size_t n = (size_t)(rows * b->columns);
            nc_fp4_tensor t;
            memset(&t, 0, sizeof t);
            status =
                nc_fp4_weights_values(c->weights, c->from, first * b->columns, n, c->x, c->err);
            if (status == NC_OK) {
                status = nc_fp4__convert_strip(c, first, rows, scale, &t);
                if (status != NC_OK) (void)nc__fail(c->err, status, 0, 0, "cannot quantise");
            }
            if (status == NC_OK) status = nc_fp4_writer_tensor(c->writer, c->to, first, &t, c->err);
            if (status == NC_OK) status = nc_fp4_tensor_decode(&t, c->y);
            if (status == NC_OK) {
                nc_fp4__convert_sums(c, c->y, n);
                c->report->saturated += nc_fp4__convert_saturated(c, &t);
                status = nc_fp4__convert_tick(c, (first + rows) * b->columns);
            }
            nc_fp4_tensor_free(&t);
            r += rows;
        }
    }
    return status;
}

/* Which of the four ways. */
static nc_status nc_fp4__convert_any(nc_fp4__convert *c) {
    const nc_fp4_weight *a = &c->w->about, *b = &c->p->about;
    const int floats = a->format != NC_FP4_FORMAT_COUNT || nc__is_float(a->dtype);
    if (b->format == NC_FP4_FORMAT_COUNT) {
        const nc_fp4__entry *e = nc_fp4__list_entry(&c->weights->list, c->w->part[NC_FP4__CODES]);
        if (a->format == b->format && !strcmp(a->dtype, b->dtype) && !e->big_endian && !e->fortran)
            return nc_fp4__convert_bytes(c);
        if (floats) return nc_fp4__convert_values(c);
    } else if (a->format != NC_FP4_FORMAT_COUNT && nc_fp4__convert_keeps(c)) {
        c->report->kept = 1;
        return nc_fp4__convert_codes(c);
    } else if (floats) {
        return nc_fp4__convert_quantize(c);
    }
    return nc__fail(c->err, NC_ERR_UNSUPPORTED, 0, 0, "'%.60s' is %s: it has no floats", a->name,
                    a->dtype);
}

NC_API nc_status nc_fp4_writer_convert(nc_fp4_writer *writer, size_t to,
                                       const nc_fp4_weights *weights, size_t from,
                                       const nc_fp4_options *options, nc_fp4_conversion *report,
                                       nc_progress_fn progress, void *user, nc_error *err) {
    nc_fp4_conversion own;
    nc_fp4__convert c;
    nc_status status;
    uint64_t room;
    memset(&c, 0, sizeof c);
    memset(&own, 0, sizeof own);
    nc__clear(err);
    if (!writer || !writer->begun || to >= nc_fp4__writer_count(writer) ||
        from >= nc_fp4_weights_count(weights))
        return nc__fail(err, NC_ERR_ARG, 0, 0, "nothing is begun, or no weight has that number");
    c.writer = writer;
    c.weights = weights;
    c.p = nc_fp4__writer_item(writer, to);
    c.w = nc_fp4__weights_item(weights, from);
    c.to = to;
    c.from = from;
    if (options) c.options = *options;
    if (c.p->about.format != NC_FP4_FORMAT_COUNT &&
        nc_fp4__options_fit(&nc_fp4__formats[c.p->about.format], &c.options) != NC_OK)
        return nc__fail(err, NC_ERR_ARG, 0, 0, "'%.80s': %s cannot be had with these options",
                        c.p->about.name, nc_fp4_format_name(c.p->about.format));
    c.report = &own;
    c.progress = progress;
    c.user = user;
    c.err = err;
    if (c.p->about.columns != c.w->about.columns ||
        c.p->about.rows * c.p->about.stack != c.w->about.rows * c.w->about.stack)
        return nc__fail(err, NC_ERR_MISMATCH, 0, 0, "'%.60s' and '%.60s' have not the same shape",
                        c.w->about.name, c.p->about.name);
    room = c.p->about.format == NC_FP4_FORMAT_COUNT || c.p->about.columns == 0
               ? (size_t)NC_FP4__CONVERTED
               : nc_fp4__convert_rows(&c) * c.p->about.columns;
    if (room < NC_FP4__CONVERTED) room = NC_FP4__CONVERTED;
    c.x = (float *)nc__alloc(NULL, nc__mul_size((size_t)room, 2 * sizeof *c.x));
    if (!c.x) return nc__fail(err, NC_ERR_MEMORY, 0, 0, "out of memory for a strip");
    c.y = c.x + room;
    status = nc_fp4__planned_count(c.p) ? nc_fp4__convert_any(&c) : NC_OK;
    nc__free(NULL, c.x, 0);
    if (own.values) own.stats.mse = c.error / (double)own.values;
    own.stats.snr_db = c.error > 0 ? 10.0 * log10(c.power / c.error) : 999.0;
    if (report) *report = own;
    return status;
}

/* -- sinks ------------------------------------------------------------------------------------- */

#if !defined(NC_NO_STDIO)
/* A file that replaces an old one when it is whole, written in any order: what follows on what came
 * before is collected. */
typedef struct nc_fp4__out_file {
    nc__writer writer;
    uint64_t at;  /* where `held` ends */
    size_t count; /* of `held` */
    uint8_t held[65536];
} nc_fp4__out_file;

static void nc_fp4__flush(nc_fp4__out_file *out) {
    nc__writer_put(&out->writer, out->held, out->count);
    out->count = 0;
}

/* Go on writing at `at`. */
static nc_status nc_fp4__move(nc_fp4__out_file *out, uint64_t at) {
    nc__writer *w = &out->writer;
    nc_fp4__flush(out);
#if defined(NC__POSIX_FILES)
    if ((off_t)at < 0 || (uint64_t)(off_t)at != at) return NC_ERR_LIMIT; /* off_t of 32 bits */
    w->ok = w->ok && lseek(w->fd, (off_t)at, SEEK_SET) == (off_t)at;
#else
    if (at > (uint64_t)LONG_MAX) return NC_ERR_LIMIT;
    w->ok = w->ok && fseek(w->file, (long)at, SEEK_SET) == 0;
#endif
    if (!w->ok && !w->reason) w->reason = errno;
    out->at = at;
    return w->ok ? NC_OK : NC_ERR_IO;
}

static nc_status nc_fp4__file_write(void *user, uint64_t at, const void *from, size_t bytes) {
    nc_fp4__out_file *out = (nc_fp4__out_file *)user;
    nc_status status = at == out->at ? NC_OK : nc_fp4__move(out, at);
    if (status != NC_OK) return status;
    if (bytes > sizeof out->held - out->count) nc_fp4__flush(out);
    if (bytes > sizeof out->held) {
        nc__writer_put(&out->writer, from, bytes);
    } else if (bytes) {
        memcpy(out->held + out->count, from, bytes);
        out->count += bytes;
    }
    out->at = at + bytes;
    return out->writer.ok ? NC_OK : NC_ERR_IO;
}

/* Why it takes no more. */
static nc_status nc_fp4__file_lost(void *user, nc_error *err) {
    const nc__writer *w = &((nc_fp4__out_file *)user)->writer;
    return nc__file_error(err, "write", w->target, w->reason);
}

NC_API nc_status nc_fp4_sink_open(nc_fp4_sink *sink, const char *path, nc_error *err) {
    nc_fp4__out_file *out;
    nc_status status;
#if defined(NC__POSIX_FILES)
    struct stat info;
#endif
    nc__clear(err);
    if (sink) memset(sink, 0, sizeof *sink);
    if (!sink || !path || !*path) return nc__fail(err, NC_ERR_ARG, 0, 0, "no sink or no path");
#if defined(NC__POSIX_FILES)
    if (stat(path, &info) == 0 && !S_ISREG(info.st_mode))
        return nc__fail(err, NC_ERR_UNSUPPORTED, 0, 0,
                        "'%.90s' is no regular file, whose bytes could be written in any order",
                        path);
#endif
    out = (nc_fp4__out_file *)nc__alloc(NULL, sizeof *out);
    if (!out) return nc__fail(err, NC_ERR_MEMORY, 0, 0, "out of memory");
    out->at = 0;
    out->count = 0;
    status = nc__writer_open(&out->writer, path, err);
    if (status != NC_OK) {
        nc__free(NULL, out, 0);
        return status;
    }
    sink->write_fn = nc_fp4__file_write;
    sink->user = out;
    return NC_OK;
}

NC_API nc_status nc_fp4_sink_close(nc_fp4_sink *sink, int keep, nc_error *err) {
    nc_fp4__out_file *out;
    nc_status status;
    nc__clear(err);
    if (!sink || sink->write_fn != nc_fp4__file_write) return NC_OK;
    out = (nc_fp4__out_file *)sink->user;
    if (keep) nc_fp4__flush(out);
    status = nc__writer_close(&out->writer, keep, keep ? err : NULL);
    nc__free(NULL, out, 0);
    memset(sink, 0, sizeof *sink);
    return keep ? status : NC_OK; /* what is thrown away need not have been written */
}
#endif

NC__COLD_END

/* >>rounding ===================================================================== */

NC_API nc_status nc_fp4_hessian_add(double *hessian, const float *x, size_t n, uint32_t columns) {
    size_t r, i, k;
    if (!hessian || (n && !x) || columns == 0) return NC_ERR_ARG;
    for (i = 0; i < n * columns; i++)
        if (x[i] - x[i] != 0) return NC_ERR_MATH;
    for (r = 0; r < n; r++, x += columns)
        for (i = 0; i < columns; i++) {
            const double by = (double)x[i];
            double *row = hessian + i * columns;
            for (k = 0; k < columns; k++) row[k] += by * (double)x[k];
        }
    return NC_OK;
}

/* Sum of products in eight lanes, added as a tree. */
static double nc_fp4__dot64(const double *a, const double *b, size_t n) {
    double lane[8] = {0, 0, 0, 0, 0, 0, 0, 0};
    size_t i, k;
    for (i = 0; i + 8 <= n; i += 8)
        for (k = 0; k < 8; k++) lane[k] += a[i + k] * b[i + k];
    for (k = 0; i < n; i++, k++) lane[k] += a[i] * b[i];
    return ((lane[0] + lane[4]) + (lane[2] + lane[6])) +
           ((lane[1] + lane[5]) + (lane[3] + lane[7]));
}

/* h (n x n) becomes the upper triangular U with H^-1 = U^T U: H = R R^T by Cholesky from the last
 * row up, U = R^-1. row: n values of scratch. NC_ERR_MATH: not positive definite. */
static nc_status nc_fp4__inverse_root(double *h, size_t n, double *row) {
    size_t i, j, k;
    for (j = n; j-- > 0;) {
        double *const rj = h + j * n;
        const double pivot = rj[j] - nc_fp4__dot64(rj + j + 1, rj + j + 1, n - j - 1);
        if (!(pivot > 0) || pivot - pivot != 0) return NC_ERR_MATH;
        rj[j] = sqrt(pivot);
        for (i = 0; i < j; i++) {
            double *const ri = h + i * n;
            ri[j] = (ri[j] - nc_fp4__dot64(ri + j + 1, rj + j + 1, n - j - 1)) / rj[j];
        }
    }
    for (i = n; i-- > 0;) {
        double *const ri = h + i * n;
        memset(row, 0, n * sizeof *row);
        for (k = i + 1; k < n; k++) {
            const double *const uk = h + k * n, by = ri[k];
            for (j = k; j < n; j++) row[j] -= by * uk[j];
        }
        row[i] = 1.0;
        for (j = i; j < n; j++) row[j] /= ri[i];
        memcpy(ri + i, row + i, (n - i) * sizeof *row);
    }
    return NC_OK;
}

/* One row by GPTQ: w (its weights, which change, and as much again of scratch), u of
 * nc_fp4__inverse_root. */
static void nc_fp4__gptq_row(const nc_fp4__row *row, nc_fp4_scale_rule rule, double *w,
                             const double *u, size_t columns, float tensor_scale, uint8_t *codes,
                             uint8_t *scales) {
    const size_t scale_bytes = nc_fp4__scales[row->scale].bytes;
    float scale = 1.0f;
    size_t j, k;
    for (j = 0; j < columns; j++) {
        const double *const uj = u + j * columns;
        uint8_t code;
        double error;
        if (row->block && j % row->block == 0) {
            const size_t m = columns - j < row->block ? columns - j : row->block;
            float *const some = (float *)(void *)(w + columns);
            for (k = 0; k < m; k++) some[k] = (float)w[j + k];
            scale = nc_fp4__scale_by_rule(row, rule, some, m, tensor_scale,
                                          scales + j / row->block * scale_bytes);
        }
        code = nc_fp4__nearest(row->element, scale > 0 ? (float)w[j] / scale : 0.0f);
        nc_fp4__put(codes, j, code);
        if (!(scale >= 0)) continue; /* a block that is not finite */
        error = (w[j] - (double)(row->element->value[code] * scale)) / uj[j];
        for (k = j + 1; k < columns; k++) w[k] -= error * uj[k];
    }
}

/* A damped copy of the hessian; columns that no activation reaches get 1. */
static void nc_fp4__damp(double *h, const double *hessian, size_t n, double damping) {
    double sum = 0;
    size_t i;
    memcpy(h, hessian, n * n * sizeof *h);
    for (i = 0; i < n; i++) {
        if (h[i * n + i] == 0) h[i * n + i] = 1;
        sum += h[i * n + i];
    }
    for (i = 0; i < n; i++) h[i * n + i] += (damping > 0 ? damping : 0.01) * (sum / (double)n);
}

NC_API nc_status nc_fp4_tensor_create_gptq(nc_fp4_tensor *tensor, nc_fp4_format format,
                                           const nc_fp4_options *options, const float *x,
                                           uint32_t rows, uint32_t columns, const double *hessian,
                                           double damping) {
    const nc_fp4__row *row = nc_fp4__row_of(format);
    const size_t code_bytes = nc_fp4_code_bytes(columns), n = columns;
    const size_t scale_bytes = nc_fp4_scale_bytes(format, columns);
    nc_fp4_scale_rule rule = options ? options->rule : NC_FP4_SCALE_FLOOR;
    nc_status status = nc_fp4_tensor_create(tensor, format, options, x, rows, columns);
    double *h, *w;
    size_t r, c;
    if (status != NC_OK) return status;
    if (!hessian || !(damping >= 0) || damping - damping != 0)
        status = NC_ERR_ARG;
    else if (options && (options->stochastic || options->convention != NC_FP4_AS_DEFINED))
        status = NC_ERR_UNSUPPORTED;
    h = (double *)nc__alloc(NULL, nc__mul_size(n + 2, nc__mul_size(n, sizeof *h)));
    w = h ? h + n * n : NULL;
    if (!h && status == NC_OK) status = NC_ERR_MEMORY;
    if (status == NC_OK) {
        nc_fp4__damp(h, hessian, n, damping);
        status = nc_fp4__inverse_root(h, n, w);
    }
    for (r = 0; r < rows && status == NC_OK; r++) {
        for (c = 0; c < n; c++) w[c] = (double)x[r * n + c];
        nc_fp4__gptq_row(row, rule, w, h, n, tensor->tensor_scale, tensor->codes + r * code_bytes,
                         tensor->scales + r * scale_bytes);
    }
    nc__free(NULL, h, 0);
    if (status != NC_OK) nc_fp4_tensor_free(tensor);
    return status;
}

NC_API double nc_fp4_layer_error(const float *w, const float *y, uint32_t rows, uint32_t columns,
                                 const double *hessian) {
    const size_t n = columns;
    double lost_sum = 0, whole_sum = 0, *whole, *lost;
    size_t r, i;
    if (!w || !y) return -1;
    whole = (double *)nc__alloc(NULL, nc__mul_size(n, 2 * sizeof *whole));
    if (!whole) return -1;
    lost = whole + n;
    for (r = 0; r < rows; r++, w += n, y += n) {
        for (i = 0; i < n; i++) {
            whole[i] = (double)w[i];
            lost[i] = whole[i] - (double)y[i];
        }
        if (!hessian) {
            lost_sum += nc_fp4__dot64(lost, lost, n);
            whole_sum += nc_fp4__dot64(whole, whole, n);
        }
        for (i = 0; hessian && i < n; i++) {
            lost_sum += lost[i] * nc_fp4__dot64(hessian + i * n, lost, n);
            whole_sum += whole[i] * nc_fp4__dot64(hessian + i * n, whole, n);
        }
    }
    nc__free(NULL, whole, 0);
    return whole_sum > 0 ? lost_sum / whole_sum : lost_sum > 0 ? HUGE_VAL : 0;
}

NC_API nc_status nc_fp4_hadamard(float *x, size_t n, uint32_t block) {
    float by = 1.0f;
    size_t width, i, k;
    if ((n && !x) || block < 2 || block > 4096 || (block & (block - 1)) || n % block)
        return NC_ERR_ARG;
    for (width = 1; width < block; width *= 2) by *= 0.5f;
    by = sqrtf(by);
    for (; n; n -= block, x += block) {
        for (width = 1; width < block; width *= 2)
            for (i = 0; i < block; i += 2 * width)
                for (k = i; k < i + width; k++) {
                    const float a = x[k], b = x[k + width];
                    x[k] = a + b;
                    x[k + width] = a - b;
                }
        for (k = 0; k < block; k++) x[k] *= by;
    }
    return NC_OK;
}

/* >>products ===================================================================== */

/* Before a loop over sums that are to stay in registers. */
#if defined(__clang__) || !defined(__GNUC__)
#define NC_FP4__UNROLL4
#else
#define NC_FP4__UNROLL4 _Pragma("GCC unroll 4")
#endif

/* Everything that the product of a row needs. */
typedef struct nc_fp4__matrix {
    const nc_fp4_tensor *tensor;
    nc_fp4__row format;             /* with the tensor's block */
    size_t code_bytes, scale_bytes; /* of a row of the matrix */
    size_t block;                   /* 0: no scales */
    uint32_t shift;                 /* column >> shift is the number of its block */
    int across;                     /* blocks run on over the ends of rows */
    float value[16];                /* of each code */
    float *tables;                  /* of the vector code, for scales of one byte or none */
    nc_fp4__planes planes;
} nc_fp4__matrix;

/* 0: the tensor is none. */
static int nc_fp4__matrix_of(const nc_fp4_tensor *tensor, nc_fp4__matrix *w) {
    if (!nc_fp4__tensor_row(tensor, &w->format) || !tensor->codes) return 0;
    w->tensor = tensor;
    w->code_bytes = nc_fp4_code_bytes(tensor->columns);
    w->scale_bytes = nc_fp4__scale_bytes(&w->format, tensor->columns);
    w->block = w->format.block;
    w->shift = w->block ? 4 : (uint32_t)(8 * sizeof(size_t) - 1);
    while (w->block >> w->shift > 1) w->shift++;
    w->across = tensor->across && tensor->columns % w->block != 0;
    w->tables = NULL;
    memcpy(w->value, w->format.element->value, sizeof w->value);
    nc_fp4__planes_of(w->format.element, &w->planes);
    return 1;
}

/* The scale of a column of a row. */
static float nc_fp4__scale_at(const nc_fp4__matrix *w, uint32_t r, size_t column) {
    if (!w->block) return 1.0f;
    if (w->across) column += (size_t)r * w->tensor->columns;
    return nc_fp4__tensor_scale_at(w->tensor, &w->format,
                                   w->tensor->scales + (w->across ? 0 : r * w->scale_bytes),
                                   column >> w->shift);
}

/* -- float32 ------------------------------------------------------------------------------ */

/* The tree over 32 lanes. */
static float nc_fp4__tree(float lane[32]) {
    int width, j;
    for (width = 16; width > 0; width /= 2)
        for (j = 0; j < width; j++) lane[j] = lane[j] + lane[j + width];
    return lane[0];
}

/* Columns from `first` (a multiple of 32) on, added to the lanes. */
static void nc_fp4__row_lanes(const nc_fp4__matrix *w, uint32_t r, const float *x, size_t first,
                              float lane[32]) {
    const uint8_t *codes = w->tensor->codes + r * w->code_bytes;
    size_t c;
    for (c = first; c < w->tensor->columns; c++) {
        const float weight = w->value[nc_fp4__code_at(codes, c)] * nc_fp4__scale_at(w, r, c);
        lane[c % 32] = NC__FMAF(weight, x[c], lane[c % 32]);
    }
}

#ifdef NC_FP4__LANES8
/* Bytes of the tables of a matrix: 64 for every scale of one byte. */
enum { NC_FP4__TABLES = 256 * 64 };

/* The tree again. */
NC_FP4__TARGET8 static float nc_fp4__tree8(const float *lane) {
    const nc_fp4__f8 a = nc_fp4__addf8(nc_fp4__loadf8(lane), nc_fp4__loadf8(lane + 16));
    const nc_fp4__f8 b = nc_fp4__addf8(nc_fp4__loadf8(lane + 8), nc_fp4__loadf8(lane + 24));
    const nc_fp4__f8 c = nc_fp4__addf8(a, b);
    const nc_fp4__v8 u = nc_fp4__as_bits8(c);
    float d[8];
    nc_fp4__storef8(d, nc_fp4__addf8(c, nc_fp4__as_float8(nc_fp4__join_high8(u, u))));
    return (d[0] + d[2]) + (d[1] + d[3]);
}

/* How the eight lanes decode. Where all values have the upper 16 bits only, two tables of bytes
 * make them, and with scales that are powers of two a pair of tables for each scale makes them
 * scaled. */
typedef enum nc_fp4__way {
    NC_FP4__SCALED_TABLES, /* w->tables: byte 2, byte 3 of the scaled values, each table twice */
    NC_FP4__UPPER_HALVES,
    NC_FP4__ALL_BYTES
} nc_fp4__way;

static nc_fp4__way nc_fp4__way_of(const nc_fp4__matrix *w) {
    if (w->format.element->halves && /* so times 2^-127 they are multiples of 2^-133, too */
        (!w->block || (w->block == 32 && w->format.scale == NC_FP4__E8M0)))
        return NC_FP4__SCALED_TABLES;
    return w->planes.halves ? NC_FP4__UPPER_HALVES : NC_FP4__ALL_BYTES;
}

/* Scales of one byte that a matrix may have: all of its own where these are few, else all there
 * are. Returns how many. */
static size_t nc_fp4__scales_of(const nc_fp4__matrix *w, uint8_t codes[256], float scale[256]) {
    const size_t own = w->tensor->rows * w->scale_bytes;
    size_t i, n = !w->block ? 1 : own < 256 ? own : 256;
    for (i = 0; i < n; i++) codes[i] = own && own < 256 ? w->tensor->scales[i] : (uint8_t)i;
    nc_fp4__scales8(&w->format, codes, w->tensor->tensor_scale, 0, n, scale);
    for (i = 0; i < n && w->tensor->divides; i++)
        scale[i] = nc_fp4__tensor_scale_at(w->tensor, &w->format, codes, i);
    return n;
}

/* w->tables for eight lanes: of every scale its tables, or just its value. */
NC_FP4__TARGET8 static void nc_fp4__tables8(const nc_fp4__matrix *w) {
    const nc_fp4__v8 upper = /* bytes 2 of four words, bytes 3 */
        nc_fp4__low_words8(nc_fp4__set8(0x0E0A0602), nc_fp4__set8(0x0F0B0703));
    const int scaled = nc_fp4__way_of(w) == NC_FP4__SCALED_TABLES;
    uint8_t codes[256] = {0};
    float scale[256];
    size_t i, n = nc_fp4__scales_of(w, codes, scale);
    if (!scaled && n == 256) memcpy(w->tables, scale, sizeof scale);
    for (i = 0; i < n && n < 256 && !scaled; i++) w->tables[codes[i]] = scale[i];
    for (i = 0; i < n && scaled; i++) {
        const nc_fp4__f8 s = nc_fp4__setf8(scale[i]);
        uint8_t *out = (uint8_t *)w->tables + 64 * (size_t)codes[i];
        nc_fp4__v8 u, v;
        u = nc_fp4__as_bits8(nc_fp4__mulf8(nc_fp4__loadf8(w->value), s));
        v = nc_fp4__as_bits8(nc_fp4__mulf8(nc_fp4__loadf8(w->value + 8), s));
        u = nc_fp4__low_words8(nc_fp4__lookup8(u, upper), nc_fp4__lookup8(v, upper));
        v = nc_fp4__join_high8(u, u);
        u = nc_fp4__join_low8(u, u);
        nc_fp4__store8(out, nc_fp4__low_words8(u, v));
        nc_fp4__store8(out + 32, nc_fp4__high_words8(u, v));
    }
}

/* The order of columns in eight lanes: as nc_fp4__even_odd8 and what follows it leave codes. Vector
 * j of a group of sixteen columns holds column 4 l + 2 j in lane l, or (ALL_BYTES) 8 j + 2 l, from
 * lane 4 on the columns after those of lane l - 4. */
NC_FP4__TARGET8 static void nc_fp4__order8(nc_fp4__way way, const float *x, size_t columns,
                                           float *ordered) {
    size_t c, i;
    for (c = 0; c + 16 <= columns; c += 16) {
        nc_fp4__v8 v[2];
        for (i = 0; i < 2; i++) {
            const nc_fp4__v8 u = nc_fp4__load8(x + c + 8 * i);
            const nc_fp4__v8 low = nc_fp4__join_low8(u, u), high = nc_fp4__join_high8(u, u);
            v[i] = nc_fp4__join_low8(nc_fp4__even_words8(low, high), nc_fp4__odd_words8(low, high));
        }
        if (way != NC_FP4__ALL_BYTES) {
            const nc_fp4__v8 u = v[0];
            v[0] = nc_fp4__even_words8(u, v[1]);
            v[1] = nc_fp4__odd_words8(u, v[1]);
        }
        nc_fp4__store8(ordered + c, v[0]);
        nc_fp4__store8(ordered + c + 8, v[1]);
    }
}

/* Two vectors of lanes to sixteen columns. */
NC_FP4__INLINE8 void nc_fp4__unorder8(nc_fp4__way way, nc_fp4__f8 x, nc_fp4__f8 y, float out[16]) {
    nc_fp4__v8 u = nc_fp4__as_bits8(x), v = nc_fp4__as_bits8(y), even, odd;
    if (way != NC_FP4__ALL_BYTES) {
        const nc_fp4__v8 t = u;
        u = nc_fp4__low_words8(t, v);
        v = nc_fp4__high_words8(t, v);
    }
    even = nc_fp4__join_low8(u, v);
    odd = nc_fp4__join_high8(u, v);
    u = nc_fp4__low_words8(even, odd);
    v = nc_fp4__high_words8(even, odd);
    nc_fp4__store8(out, nc_fp4__join_low8(u, v));
    nc_fp4__store8(out + 8, nc_fp4__join_high8(u, v));
}

/* The scale of a block; tables: null, or their values by byte. */
NC_FP4__INLINE8 nc_fp4__f8 nc_fp4__block_scale8(const float *tables, const uint8_t *scales,
                                                size_t block) {
    float value;
    if (tables) return nc_fp4__setf8(tables[scales[block]]);
    memcpy(&value, scales + 4 * block, sizeof value); /* these processors are little-endian */
    return nc_fp4__setf8(value);
}

/* Weights of 32 columns in that order; i, j: the blocks of the first sixteen, of the others. */
NC_FP4__INLINE8 void nc_fp4__weights8(nc_fp4__way way, const nc_fp4__matrix *w,
                                      const nc_fp4__v8 plane[4], const uint8_t *codes,
                                      const uint8_t *scales, size_t i, size_t j, nc_fp4__f8 v[4]) {
    const nc_fp4__v8 index = nc_fp4__even_odd8(codes), upper = nc_fp4__set8(0xFFFF0000u);
    nc_fp4__v8 b2 = plane[2], b3 = plane[3], low, high;
    nc_fp4__f8 s, t;
    if (way == NC_FP4__ALL_BYTES) {
        nc_fp4__decode8(0, plane, index, v);
    } else {
        if (way == NC_FP4__SCALED_TABLES) {
            const uint8_t *table = (const uint8_t *)w->tables + 64 * (size_t)scales[i];
            b2 = nc_fp4__doubled8(table);
            b3 = nc_fp4__doubled8(table + 32);
        }
        b2 = nc_fp4__lookup8(b2, index);
        b3 = nc_fp4__lookup8(b3, index);
        low = nc_fp4__low_bytes8(b2, b3);
        high = nc_fp4__high_bytes8(b2, b3);
        v[0] = nc_fp4__as_float8(nc_fp4__left8(low, 16));
        v[1] = nc_fp4__as_float8(nc_fp4__and8(low, upper));
        v[2] = nc_fp4__as_float8(nc_fp4__left8(high, 16));
        v[3] = nc_fp4__as_float8(nc_fp4__and8(high, upper));
    }
    if (way == NC_FP4__SCALED_TABLES) return;
    s = nc_fp4__block_scale8(w->tables, scales, i);
    t = w->block > 16 ? s : nc_fp4__block_scale8(w->tables, scales, j);
    v[0] = nc_fp4__mulf8(v[0], s);
    v[1] = nc_fp4__mulf8(v[1], s);
    v[2] = nc_fp4__mulf8(v[2], t);
    v[3] = nc_fp4__mulf8(v[3], t);
}

/* Codes of the row four on, to be fetched ahead; the same where there is none. */
static const uint8_t *nc_fp4__four_on(const nc_fp4__matrix *w, uint32_t r) {
    return w->tensor->codes + (w->tensor->rows - r > 4 ? r + (size_t)4 : r) * w->code_bytes;
}

/* Where the scales of a row begin. */
static const uint8_t *nc_fp4__row_scales(const nc_fp4__matrix *w, uint32_t r) {
    static const uint8_t unscaled = 0;
    return w->block ? w->tensor->scales + r * w->scale_bytes : &unscaled;
}

/* Whole groups of 32 columns of a row, x in that order; returns the columns done. */
NC_FP4__INLINE8 size_t nc_fp4__row_by8(nc_fp4__way way, const nc_fp4__matrix *w, uint32_t r,
                                       const float *x, float lanes[32]) {
    const uint8_t *codes = w->tensor->codes + r * w->code_bytes;
    const size_t end = w->tensor->columns / 32 * 32;
    const uint8_t *scales = nc_fp4__row_scales(w, r);
    nc_fp4__f8 a = nc_fp4__setf8(0), b = a, d = a, e = a;
    nc_fp4__v8 plane[4];
    size_t c, k;
    for (k = 0; k < 4; k++) plane[k] = nc_fp4__twice8(w->planes.byte[k]);
    for (c = 0; c < end; c += 32, codes += 16) {
        nc_fp4__f8 v[4];
        nc_fp4__weights8(way, w, plane, codes, scales, c >> w->shift, (c + 16) >> w->shift, v);
        a = nc_fp4__fma8(v[0], nc_fp4__loadf8(x + c), a);
        b = nc_fp4__fma8(v[1], nc_fp4__loadf8(x + c + 8), b);
        d = nc_fp4__fma8(v[2], nc_fp4__loadf8(x + c + 16), d);
        e = nc_fp4__fma8(v[3], nc_fp4__loadf8(x + c + 24), e);
    }
    nc_fp4__unorder8(way, a, b, lanes);
    nc_fp4__unorder8(way, d, e, lanes + 16);
    return end;
}

/* Weights of a row in that order, to memory; first and count are whole groups of 32. */
NC_FP4__INLINE8 void nc_fp4__some_by8(nc_fp4__way way, const nc_fp4__matrix *w, uint32_t r,
                                      size_t first, size_t count, float *out) {
    const uint8_t *codes = w->tensor->codes + r * w->code_bytes + first / 2;
    const uint8_t *next = nc_fp4__four_on(w, r) + first / 2;
    const uint8_t *scales = nc_fp4__row_scales(w, r);
    nc_fp4__v8 plane[4];
    size_t c, k;
    for (k = 0; k < 4; k++) plane[k] = nc_fp4__twice8(w->planes.byte[k]);
    for (c = 0; c < count; c += 32, codes += 16) {
        nc_fp4__f8 v[4];
        __builtin_prefetch(next + c / 2);
        nc_fp4__weights8(way, w, plane, codes, scales, (first + c) >> w->shift,
                         (first + c + 16) >> w->shift, v);
        for (k = 0; k < 4; k++) nc_fp4__storef8(out + c + 8 * k, v[k]);
    }
}

NC_FP4__TARGET8 static void nc_fp4__some8(const nc_fp4__matrix *w, uint32_t r, size_t first,
                                          size_t count, float *out) {
    const nc_fp4__way way = nc_fp4__way_of(w);
    if (way == NC_FP4__SCALED_TABLES)
        nc_fp4__some_by8(NC_FP4__SCALED_TABLES, w, r, first, count, out);
    else if (way == NC_FP4__UPPER_HALVES)
        nc_fp4__some_by8(NC_FP4__UPPER_HALVES, w, r, first, count, out);
    else
        nc_fp4__some_by8(NC_FP4__ALL_BYTES, w, r, first, count, out);
}

/* Values in that order back to that of columns, in place. */
NC_FP4__TARGET8 static void nc_fp4__unorder_all8(nc_fp4__way way, float *x, size_t count) {
    size_t c;
    for (c = 0; c < count; c += 16)
        nc_fp4__unorder8(way, nc_fp4__loadf8(x + c), nc_fp4__loadf8(x + c + 8), x + c);
}

NC_FP4__TARGET8 static size_t nc_fp4__row8(const nc_fp4__matrix *w, uint32_t r, const float *x,
                                           float lanes[32]) {
    const nc_fp4__way way = nc_fp4__way_of(w);
    if (way == NC_FP4__SCALED_TABLES) return nc_fp4__row_by8(NC_FP4__SCALED_TABLES, w, r, x, lanes);
    return way == NC_FP4__UPPER_HALVES ? nc_fp4__row_by8(NC_FP4__UPPER_HALVES, w, r, x, lanes)
                                       : nc_fp4__row_by8(NC_FP4__ALL_BYTES, w, r, x, lanes);
}
#endif

#ifdef NC_FP4__X86
/* Lane l of sixteen holds column 8 (l & 1) + l / 2: so eight bytes of codes, broadcast and shifted,
 * need no shuffle. x is brought into that order beforehand, the lanes out of it at the end. */
NC_FP4__TARGET512 static void nc_fp4__order512(const float *x, size_t columns, float *ordered) {
    const __m512i order = _mm512_set_epi32(15, 7, 14, 6, 13, 5, 12, 4, 11, 3, 10, 2, 9, 1, 8, 0);
    size_t c;
    for (c = 0; c + 16 <= columns; c += 16)
        _mm512_storeu_ps(ordered + c, _mm512_permutexvar_ps(order, _mm512_loadu_ps(x + c)));
}

/* w->tables for sixteen lanes: the values of the sixteen codes under every scale. */
NC_FP4__TARGET512 static void nc_fp4__tables512(const nc_fp4__matrix *w) {
    const __m512 value = _mm512_loadu_ps(w->value);
    uint8_t codes[256] = {0};
    float scale[256];
    size_t i, n = nc_fp4__scales_of(w, codes, scale);
    for (i = 0; i < n; i++)
        _mm512_storeu_ps(w->tables + 16 * (size_t)codes[i],
                         _mm512_mul_ps(value, _mm512_set1_ps(scale[i])));
}

/* The table of the block with that scale. */
NC_FP4__INLINE512 __m512 nc_fp4__table512(const nc_fp4__matrix *w, const uint8_t *scale) {
    float by;
    if (!w->block) return _mm512_loadu_ps(w->value);
    if (w->tables) return _mm512_loadu_ps(w->tables + 16 * *scale);
    memcpy(&by, scale, sizeof by); /* these processors are little-endian */
    return _mm512_mul_ps(_mm512_loadu_ps(w->value), _mm512_set1_ps(by));
}

/* Weights of a row in that order, to memory; first and count are whole groups of 32. */
NC_FP4__TARGET512 static void nc_fp4__some512(const nc_fp4__matrix *w, uint32_t r, size_t first,
                                              size_t count, float *out) {
    const __m512i by = _mm512_set_epi32(28, 28, 24, 24, 20, 20, 16, 16, 12, 12, 8, 8, 4, 4, 0, 0);
    const uint8_t *codes = w->tensor->codes + r * w->code_bytes + first / 2;
    const uint8_t *next = nc_fp4__four_on(w, r) + first / 2;
    const size_t width = nc_fp4__scales[w->format.scale].bytes, block = w->block;
    const uint8_t *scales = nc_fp4__row_scales(w, r);
    const uint32_t shift = w->shift;
    size_t c;
    for (c = 0; c < count; c += 32) {
        const uint8_t *const scale = scales + ((first + c) >> shift) * width;
        const __m512i a = _mm512_srlv_epi32(_mm512_broadcastq_epi64(_mm_loadl_epi64(
                                                (const __m128i *)(const void *)(codes + c / 2))),
                                            by);
        const __m512i b = _mm512_srlv_epi32(_mm512_broadcastq_epi64(_mm_loadl_epi64((
                                                const __m128i *)(const void *)(codes + c / 2 + 8))),
                                            by);
        const __m512 t = nc_fp4__table512(w, scale);
        const __m512 u = block == 16 ? nc_fp4__table512(w, scale + 1) : t;
        __builtin_prefetch(next + c / 2);
        _mm512_storeu_ps(out + c, _mm512_permutexvar_ps(a, t));
        _mm512_storeu_ps(out + c + 16, _mm512_permutexvar_ps(b, u));
    }
}

/* Values in that order back to that of columns, in place. */
NC_FP4__TARGET512 static void nc_fp4__unorder_all512(float *x, size_t count) {
    const __m512i back = _mm512_set_epi32(15, 13, 11, 9, 7, 5, 3, 1, 14, 12, 10, 8, 6, 4, 2, 0);
    size_t c;
    for (c = 0; c < count; c += 16)
        _mm512_storeu_ps(x + c, _mm512_permutexvar_ps(back, _mm512_loadu_ps(x + c)));
}

/* Whole groups of 32 columns for four rows, x in that order; returns the columns done. fine: blocks
 * of 16. */
NC_FP4__INLINE512 size_t nc_fp4__rows_by512(int fine, const nc_fp4__matrix *w, const uint32_t r[4],
                                            const float *x, float lanes[4][32]) {
    const __m512i shift =
        _mm512_set_epi32(28, 28, 24, 24, 20, 20, 16, 16, 12, 12, 8, 8, 4, 4, 0, 0);
    const __m512i back = _mm512_set_epi32(15, 13, 11, 9, 7, 5, 3, 1, 14, 12, 10, 8, 6, 4, 2, 0);
    const size_t end = w->tensor->columns / 32 * 16, block = w->block ? w->block / 2 : end;
    const size_t width = nc_fp4__scales[w->format.scale].bytes;
    const uint8_t *codes[4], *scales[4];
    /* the next four rows, of which a line is fetched with every 32 columns of these: a hint, which
     * may point behind the last */
    const uint8_t *next = w->tensor->codes + r[0] * w->code_bytes;
    const float *tables = w->tables;
    __m512 low[4], high[4], t[4];
    size_t h, past, at = 0; /* h: bytes of codes, so that few registers are needed */
    uint32_t k;
    for (k = 0; k < 4; k++) {
        codes[k] = w->tensor->codes + r[k] * w->code_bytes;
        scales[k] = w->tensor->scales + r[k] * w->scale_bytes;
        low[k] = high[k] = t[k] = _mm512_setzero_ps();
    }
    if (r[3] == r[0] + 3 && w->tensor->rows - r[3] > 4) next += 4 * w->code_bytes;
    for (h = 0; h < end;) {
        if (!fine) {
            NC_FP4__UNROLL4
            for (k = 0; k < 4; k++) t[k] = nc_fp4__table512(w, scales[k] + at);
            at += width;
        }
        past = fine ? end : end - h < block ? end : h + block;
        for (; h < past; h += 16) {
            const __m512 x0 = _mm512_loadu_ps(x + 2 * h), x1 = _mm512_loadu_ps(x + 2 * h + 16);
            __builtin_prefetch(next + 4 * h);
            NC_FP4__UNROLL4
            for (k = 0; k < 4; k++) {
                const uint8_t *from = codes[k] + h;
                const __m512i a = _mm512_srlv_epi32(
                    _mm512_broadcastq_epi64(_mm_loadl_epi64((const __m128i *)(const void *)from)),
                    shift);
                const __m512i b = _mm512_srlv_epi32(_mm512_broadcastq_epi64(_mm_loadl_epi64(
                                                        (const __m128i *)(const void *)(from + 8))),
                                                    shift);
                __m512 u = t[k], v = t[k];
                if (fine) {
                    u = _mm512_loadu_ps(tables + 16 * scales[k][at]);
                    v = _mm512_loadu_ps(tables + 16 * scales[k][at + 1]);
                }
                low[k] = _mm512_fmadd_ps(_mm512_permutexvar_ps(a, u), x0, low[k]);
                high[k] = _mm512_fmadd_ps(_mm512_permutexvar_ps(b, v), x1, high[k]);
            }
            if (fine) at += 2;
        }
    }
    NC_FP4__UNROLL4
    for (k = 0; k < 4; k++) {
        _mm512_storeu_ps(lanes[k], _mm512_permutexvar_ps(back, low[k]));
        _mm512_storeu_ps(lanes[k] + 16, _mm512_permutexvar_ps(back, high[k]));
    }
    return 2 * end;
}

NC_FP4__TARGET512 static size_t nc_fp4__rows512(const nc_fp4__matrix *w, const uint32_t r[4],
                                                const float *x, float lanes[4][32]) {
    return w->block == 16 ? nc_fp4__rows_by512(1, w, r, x, lanes)
                          : nc_fp4__rows_by512(0, w, r, x, lanes);
}
#endif

/* A product on its way. */
typedef struct nc_fp4__product {
    nc_fp4__matrix w;
    const nc_fp4_product_options *o;
    size_t rows;            /* of W that are taken */
    size_t inputs, outputs; /* values of a vector of X, of Y */
    const uint8_t *x;
    void *y;
    const float *bias;
    const size_t *vectors; /* null, or which of X and Y the n ones are */
    size_t n;
} nc_fp4__product;

/* Vectors that share decoded weights, columns of these, and from how many vectors on this is faster
 * than to decode for each in registers; rows that a thread takes at a time. */
enum { NC_FP4__BATCH = 16, NC_FP4__PIECE = 512, NC_FP4__SHARED = 8, NC_FP4__ROWS = 16 };

static size_t nc_fp4__at_most(size_t n, size_t most) { return n < most ? n : most; }

/* Row i of those taken. */
static uint32_t nc_fp4__row_number(const nc_fp4__product *p, size_t i) {
    return p->o->rows ? p->o->rows[i] : (uint32_t)i;
}

static size_t nc_fp4__vector_number(const nc_fp4__product *p, size_t i) {
    return p->vectors ? p->vectors[i] : i;
}

/* Values of vector i as float32, zeros behind them up to `stride`. */
static void nc_fp4__take_vector(const nc_fp4__product *p, size_t i, float *out, size_t stride) {
    const size_t v = nc_fp4__vector_number(p, i), width = p->o->x_type == NC_FP4_FLOAT32 ? 4 : 2;
    const uint8_t *x = p->x + width * p->inputs * (p->o->x_rows ? p->o->x_rows[v] : v);
    size_t c;
    for (c = 0; c < p->inputs && width == 2; c++) {
        uint16_t u;
        memcpy(&u, x + 2 * c, sizeof u);
        out[c] = p->o->x_type == NC_FP4_FLOAT16 ? nc__half(u) : nc_fp4__float((uint32_t)u << 16);
    }
    if (width == 4 && p->inputs) memcpy(out, x, width * p->inputs);
    for (c = p->inputs; c < stride; c++) out[c] = 0;
}

/* Outputs k .. of vector i from their sums. */
static void nc_fp4__put_outputs(const nc_fp4__product *p, size_t i, size_t k, const float *sums,
                                size_t count) {
    const size_t at = nc_fp4__vector_number(p, i) * p->outputs + k;
    const float *bias = p->bias ? p->bias + k : NULL;
    const nc_fp4_number type = p->o->y_type;
    size_t j;
    if (type == NC_FP4_FLOAT32) {
        float *const y = (float *)p->y + at;
        for (j = 0; j < count; j++) y[j] = bias ? sums[j] + bias[j] : sums[j];
        return;
    }
    for (j = 0; j < count; j++) {
        const float sum = bias ? sums[j] + bias[j] : sums[j];
        ((uint16_t *)p->y)[at + j] =
            (uint16_t)(type == NC_FP4_FLOAT16 ? nc_fp4__to_half(sum) : nc_fp4__to_bfloat(sum));
    }
}

/* Weights c .. past - 1 of the `count` from `first` on, under one scale, in whole vectors: before
 * them the one that begins amid a byte, and behind them some that the next scale will overwrite.
 * Returns the next that is not done. */
static size_t nc_fp4__decode_run(const nc_fp4__matrix *w, const uint8_t *codes, size_t first,
                                 size_t c, size_t past, size_t count, float scale, float *out) {
    size_t whole = 0;
    if ((first + c) % 2 && c < past) {
        out[c] = w->value[nc_fp4__code_at(codes, first + c)] * scale;
        c++;
    }
#ifdef NC_FP4__LANES8
    whole = (past - c + 31) / 32 * 32;
    if (whole > count - c) whole = (count - c) / 32 * 32;
#ifdef NC_FP4__X86
    if (nc_fp4__lanes() == 16)
        nc_fp4__values512(w->value, codes + (first + c) / 2, whole, scale, out + c);
    else
#endif
        nc_fp4__scaled8(&w->planes, codes + (first + c) / 2, whole, scale, out + c);
#endif
    (void)count;
    return c + nc_fp4__at_most(past - c, whole);
}

/* Weights of row r from column `first` on, one by one, but for whole blocks across rows. */
static void nc_fp4__decode_columns(const nc_fp4__matrix *w, uint32_t r, size_t first, size_t count,
                                   float *out) {
    const uint8_t *codes = w->tensor->codes + r * w->code_bytes;
    size_t c, past, at;
    for (c = 0; c < count; c = past) {
        const float scale = nc_fp4__scale_at(w, r, first + c);
        at = first + c + (w->across ? (size_t)r * w->tensor->columns : 0);
        past = count;
        if (w->block && count - c > w->block - (at & (w->block - 1)))
            past = c + w->block - (at & (w->block - 1));
        if (w->across && nc_fp4__lanes())
            c = nc_fp4__decode_run(w, codes, first, c, past, count, scale, out);
        for (; c < past; c++) out[c] = w->value[nc_fp4__code_at(codes, first + c)] * scale;
    }
}

/* Do the loops over many columns take vectors, and so keep weights in their order? */
static int nc_fp4__in_vectors(const nc_fp4__matrix *w) {
    return nc_fp4__lanes() != 0 && !w->across && w->tensor->columns >= 32;
}

/* Whole groups of 32 columns in the order of the vector code. */
static void nc_fp4__decode_whole(const nc_fp4__matrix *w, uint32_t r, size_t first, size_t count,
                                 float *out) {
#ifdef NC_FP4__X86
    if (nc_fp4__lanes() == 16) {
        nc_fp4__some512(w, r, first, count, out);
        return;
    }
#endif
#ifdef NC_FP4__LANES8
    nc_fp4__some8(w, r, first, count, out);
#else
    (void)w, (void)r, (void)first, (void)count, (void)out;
#endif
}

/* Four of the rows taken, side by side: `whole` columns in the order of the vector code, then those
 * up to `count`, and up to a multiple of 32. What is not there is -0: added to a sum times any 0 it
 * changes none, not even -0. */
static void nc_fp4__decode_four(const nc_fp4__product *p, size_t row, size_t first, size_t whole,
                                size_t count, float weights[4][NC_FP4__PIECE]) {
    const size_t end = (count + 31) / 32 * 32;
    size_t k, c;
    for (k = 0; k < 4; k++) {
        c = 0;
        if (row + k < p->rows) {
            const uint32_t r = nc_fp4__row_number(p, row + k);
            if (whole) nc_fp4__decode_whole(&p->w, r, first, whole, weights[k]);
            nc_fp4__decode_columns(&p->w, r, first + whole, count - whole, weights[k] + whole);
            c = count;
        }
        for (; c < end; c++) weights[k][c] = -0.0f;
    }
}

#ifdef NC_FP4__LANES8
/* Values in the order of the vector code back to that of columns. */
static void nc_fp4__unorder(const nc_fp4__matrix *w, float *x, size_t count) {
#ifdef NC_FP4__X86
    if (nc_fp4__lanes() == 16) {
        nc_fp4__unorder_all512(x, count);
        return;
    }
#endif
    nc_fp4__unorder_all8(nc_fp4__way_of(w), x, count);
}
#endif

#ifdef NC_FP4__LANES8
/* A strip of four rows times m vectors, up to a column, to their lanes: eight lanes at a time. */
NC_FP4__INLINE8 void nc_fp4__strip_by8(size_t m, const float weights[4][NC_FP4__PIECE],
                                       const float *x, size_t stride, size_t to,
                                       float lanes[][4][32]) {
    size_t part, c, k, i;
    for (part = 0; part < 32; part += 8) {
        nc_fp4__f8 sum[2][4];
        NC_FP4__UNROLL4
        for (i = 0; i < m; i++) {
            NC_FP4__UNROLL4
            for (k = 0; k < 4; k++) sum[i][k] = nc_fp4__loadf8(lanes[i][k] + part);
        }
        for (c = part; c < to; c += 32) {
            nc_fp4__f8 v[2];
            NC_FP4__UNROLL4
            for (i = 0; i < m; i++) v[i] = nc_fp4__loadf8(x + i * stride + c);
            NC_FP4__UNROLL4
            for (k = 0; k < 4; k++) {
                const nc_fp4__f8 u = nc_fp4__loadf8(weights[k] + c);
                NC_FP4__UNROLL4
                for (i = 0; i < m; i++) sum[i][k] = nc_fp4__fma8(u, v[i], sum[i][k]);
            }
        }
        NC_FP4__UNROLL4
        for (i = 0; i < m; i++) {
            NC_FP4__UNROLL4
            for (k = 0; k < 4; k++) nc_fp4__storef8(lanes[i][k] + part, sum[i][k]);
        }
    }
}

NC_FP4__TARGET8 static void nc_fp4__strip8(const float weights[4][NC_FP4__PIECE], const float *x,
                                           size_t stride, size_t m, size_t to,
                                           float lanes[][4][32]) {
    size_t i;
    for (i = 0; i + 2 <= m; i += 2)
        nc_fp4__strip_by8(2, weights, x + i * stride, stride, to, lanes + i);
    if (i < m) nc_fp4__strip_by8(1, weights, x + i * stride, stride, to, lanes + i);
}

/* Four rows, transposed: to the sums of each column. by: of each vector its four activations. */
NC_FP4__TARGET8 static void nc_fp4__back8(const float weights[4][NC_FP4__PIECE],
                                          const float (*by)[4], size_t m, size_t count,
                                          float sums[][NC_FP4__PIECE]) {
    size_t i, c;
    for (i = 0; i < m; i++) {
        const nc_fp4__f8 x0 = nc_fp4__setf8(by[i][0]), x1 = nc_fp4__setf8(by[i][1]);
        const nc_fp4__f8 x2 = nc_fp4__setf8(by[i][2]), x3 = nc_fp4__setf8(by[i][3]);
        for (c = 0; c < count; c += 8) {
            nc_fp4__f8 sum = nc_fp4__loadf8(sums[i] + c);
            sum = nc_fp4__fma8(nc_fp4__loadf8(weights[0] + c), x0, sum);
            sum = nc_fp4__fma8(nc_fp4__loadf8(weights[1] + c), x1, sum);
            sum = nc_fp4__fma8(nc_fp4__loadf8(weights[2] + c), x2, sum);
            sum = nc_fp4__fma8(nc_fp4__loadf8(weights[3] + c), x3, sum);
            nc_fp4__storef8(sums[i] + c, sum);
        }
    }
}
#endif

#ifdef NC_FP4__X86
/* As nc_fp4__strip_by8, sixteen lanes at a time. */
NC_FP4__INLINE512 void nc_fp4__strip_by512(size_t m, const float weights[4][NC_FP4__PIECE],
                                           const float *x, size_t stride, size_t to,
                                           float lanes[][4][32]) {
    size_t part, c, k, i;
    for (part = 0; part < 32; part += 16) {
        __m512 sum[4][4];
        NC_FP4__UNROLL4
        for (i = 0; i < m; i++) {
            NC_FP4__UNROLL4
            for (k = 0; k < 4; k++) sum[i][k] = _mm512_loadu_ps(lanes[i][k] + part);
        }
        for (c = part; c < to; c += 32) {
            __m512 v[4];
            NC_FP4__UNROLL4
            for (i = 0; i < m; i++) v[i] = _mm512_loadu_ps(x + i * stride + c);
            NC_FP4__UNROLL4
            for (k = 0; k < 4; k++) {
                const __m512 u = _mm512_loadu_ps(weights[k] + c);
                NC_FP4__UNROLL4
                for (i = 0; i < m; i++) sum[i][k] = _mm512_fmadd_ps(u, v[i], sum[i][k]);
            }
        }
        NC_FP4__UNROLL4
        for (i = 0; i < m; i++) {
            NC_FP4__UNROLL4
            for (k = 0; k < 4; k++) _mm512_storeu_ps(lanes[i][k] + part, sum[i][k]);
        }
    }
}

NC_FP4__TARGET512 static void nc_fp4__strip512(const float weights[4][NC_FP4__PIECE],
                                               const float *x, size_t stride, size_t m, size_t to,
                                               float lanes[][4][32]) {
    size_t i;
    for (i = 0; i + 4 <= m; i += 4)
        nc_fp4__strip_by512(4, weights, x + i * stride, stride, to, lanes + i);
    for (; i < m; i++) nc_fp4__strip_by512(1, weights, x + i * stride, stride, to, lanes + i);
}
#endif

#ifdef NC_FP4__LANES8
static void nc_fp4__strip(const float weights[4][NC_FP4__PIECE], const float *x, size_t stride,
                          size_t m, size_t to, float lanes[][4][32]) {
#ifdef NC_FP4__X86
    if (nc_fp4__lanes() == 16) {
        nc_fp4__strip512(weights, x, stride, m, to, lanes);
        return;
    }
#endif
    nc_fp4__strip8(weights, x, stride, m, to, lanes);
}

/* Outputs of four of the rows taken, for m vectors by strips that all of them share; ordered: null
 * for a matrix that has another order. */
static void nc_fp4__share_strips(const nc_fp4__product *p, size_t row, size_t first, size_t m,
                                 const float *x, const float *ordered, size_t stride) {
    const size_t end = ordered ? p->inputs / 32 * 32 : 0;
    float weights[4][NC_FP4__PIECE], lanes[NC_FP4__BATCH][4][32];
    const float(*const strip)[NC_FP4__PIECE] = (const float(*)[NC_FP4__PIECE])weights;
    size_t c, i, k, count;
    memset(lanes, 0, sizeof lanes);
    for (c = 0; c < end; c += count) {
        count = nc_fp4__at_most(end - c, NC_FP4__PIECE);
        nc_fp4__decode_four(p, row, c, count, count, weights);
        nc_fp4__strip(strip, ordered + c, stride, m, count, lanes);
    }
    if (end) nc_fp4__unorder(&p->w, lanes[0][0], m * 128);
    for (; c < p->inputs; c += count) {
        count = nc_fp4__at_most(p->inputs - c, NC_FP4__PIECE);
        nc_fp4__decode_four(p, row, c, 0, count, weights);
        nc_fp4__strip(strip, x + c, stride, m, (count + 31) / 32 * 32, lanes);
    }
    for (i = 0; i < m; i++) {
        float sums[4];
        for (k = 0; k < 4; k++) sums[k] = nc_fp4__tree8(lanes[i][k]);
        nc_fp4__put_outputs(p, first + i, row, sums, nc_fp4__at_most(p->rows - row, 4));
    }
}
#endif

/* Sums of four rows (r) for one vector; ordered: x as the vector code takes it, or null; wide: that
 * of sixteen lanes. */
static void nc_fp4__four_rows(const nc_fp4__product *p, const uint32_t r[4], size_t count,
                              const float *x, const float *ordered, int wide, float sums[4]) {
    float lanes[4][32];
    size_t done = 0, k;
    if (!ordered) memset(lanes, 0, sizeof lanes);
#ifdef NC_FP4__X86
    if (wide) done = nc_fp4__rows512(&p->w, r, ordered, lanes);
#endif
    (void)wide;
    for (k = 0; k < count; k++) {
#ifdef NC_FP4__LANES8
        if (ordered && !wide) done = nc_fp4__row8(&p->w, r[k], ordered, lanes[k]);
#endif
        if (done < p->inputs) nc_fp4__row_lanes(&p->w, r[k], x, done, lanes[k]);
#ifdef NC_FP4__LANES8
        if (ordered)
            sums[k] = nc_fp4__tree8(lanes[k]);
        else
#endif
            sums[k] = nc_fp4__tree(lanes[k]);
    }
}

/* Outputs of at most NC_FP4__ROWS of the rows taken, for m vectors by themselves. */
static void nc_fp4__each_vector(const nc_fp4__product *p, size_t row, size_t first, size_t m,
                                const float *x, const float *ordered, size_t stride) {
    const size_t past = row + nc_fp4__at_most(p->rows - row, NC_FP4__ROWS);
    const int wide = ordered && nc_fp4__lanes() == 16;
    float sums[NC_FP4__BATCH][NC_FP4__ROWS];
    size_t at, i, k;
    for (at = row; at < past; at += 4) {
        const size_t count = nc_fp4__at_most(past - at, 4);
        uint32_t r[4];
        for (k = 0; k < 4; k++) r[k] = nc_fp4__row_number(p, at + (k < count ? k : count - 1));
        for (i = 0; i < m; i++)
            nc_fp4__four_rows(p, r, count, x + i * stride, ordered ? ordered + i * stride : NULL,
                              wide, sums[i] + (at - row));
    }
    for (i = 0; i < m; i++) nc_fp4__put_outputs(p, first + i, row, sums[i], past - row);
}

/* Outputs of at most NC_FP4__PIECE columns, for m vectors (x: m x stride), transposed. */
static void nc_fp4__back_strip(const nc_fp4__product *p, size_t column, size_t first, size_t m,
                               const float *x, size_t stride) {
    const size_t count = nc_fp4__at_most(p->outputs - column, NC_FP4__PIECE);
    const size_t whole = nc_fp4__in_vectors(&p->w) ? count / 32 * 32 : 0;
    float weights[4][NC_FP4__PIECE], sums[NC_FP4__BATCH][NC_FP4__PIECE], by[NC_FP4__BATCH][4];
    size_t r, c, i, k;
    memset(sums, 0, m * sizeof sums[0]);
    for (r = 0; r < p->rows; r += 4) {
        nc_fp4__decode_four(p, r, column, whole, count, weights);
        for (i = 0; i < m; i++) memcpy(by[i], x + i * stride + r, sizeof by[i]);
#ifdef NC_FP4__LANES8
        if (nc_fp4__lanes()) {
            nc_fp4__back8((const float(*)[NC_FP4__PIECE])weights, (const float(*)[4])by, m, count,
                          sums);
            continue;
        }
#endif
        for (i = 0; i < m; i++)
            for (k = 0; k < 4 && r + k < p->rows; k++)
                for (c = 0; c < count; c++)
                    sums[i][c] = NC__FMAF(weights[k][c], by[i][k], sums[i][c]);
    }
    for (i = 0; i < m; i++) {
#ifdef NC_FP4__LANES8
        if (whole) nc_fp4__unorder(&p->w, sums[i], whole);
#endif
        nc_fp4__put_outputs(p, first + i, column, sums[i], count);
    }
}

/* Vectors first .. first + m - 1. x: m x stride values; ordered: null, or as many. */
static void nc_fp4__batch(const nc_fp4__product *p, size_t first, size_t m, const float *x,
                          const float *ordered, size_t stride, int share) {
    const size_t step = p->o->transposed ? (size_t)NC_FP4__PIECE : (size_t)NC_FP4__ROWS;
    const double work = (double)p->rows * (double)p->w.tensor->columns * (double)m;
    ptrdiff_t i;
    (void)share, (void)work;
#ifdef _OPENMP
#pragma omp parallel for schedule(static) if (work > 1e6)
#endif
    for (i = 0; i < (ptrdiff_t)((p->outputs + step - 1) / step); i++) {
        const size_t at = (size_t)i * step;
#ifdef NC_FP4__LANES8
        size_t r;
#endif
        if (p->o->transposed) nc_fp4__back_strip(p, at, first, m, x, stride);
#ifdef NC_FP4__LANES8
        else if (share)
            for (r = at; r < at + step && r < p->rows; r += 4)
                nc_fp4__share_strips(p, r, first, m, x, ordered, stride);
#endif
        else
            nc_fp4__each_vector(p, at, first, m, x, ordered, stride);
    }
}

/* w->tables where the vector code takes such. */
static void nc_fp4__tables_of(nc_fp4__matrix *w, float *memory) {
#ifdef NC_FP4__LANES8
    if (w->format.scale == NC_FP4__FLOAT32) return;
    w->tables = memory;
#ifdef NC_FP4__X86
    if (nc_fp4__lanes() == 16) {
        nc_fp4__tables512(w);
        return;
    }
#endif
    nc_fp4__tables8(w);
#else
    (void)w, (void)memory;
#endif
}

/* x (m x stride) in the order of the vector code. */
static void nc_fp4__order_vectors(const nc_fp4__product *p, const float *x, size_t m, size_t stride,
                                  float *ordered) {
#ifdef NC_FP4__LANES8
    size_t i;
    for (i = 0; i < m; i++)
#ifdef NC_FP4__X86
        if (nc_fp4__lanes() == 16)
            nc_fp4__order512(x + i * stride, p->inputs, ordered + i * stride);
        else
#endif
            nc_fp4__order8(nc_fp4__way_of(&p->w), x + i * stride, p->inputs, ordered + i * stride);
#else
    (void)p, (void)x, (void)m, (void)stride, (void)ordered;
#endif
}

/* All vectors of a product, NC_FP4__BATCH at a time. */
static nc_status nc_fp4__multiply(nc_fp4__product *p) {
    /* whole groups; and an odd number of pieces, lest vectors share the lines of a cache */
    const size_t stride =
        p->inputs > NC_FP4__PIECE
            ? (p->inputs - 1) / (2 * NC_FP4__PIECE) * (2 * NC_FP4__PIECE) + 3 * NC_FP4__PIECE
            : (p->inputs + 31) / 32 * 32;
    const size_t most = nc_fp4__at_most(p->n, NC_FP4__BATCH);
    const size_t values = nc__mul_size(most, stride), tables = 256 * 16;
    const int vectors = nc_fp4__in_vectors(&p->w), order = vectors && !p->o->transposed;
    const size_t floats = nc__add_size(nc__mul_size(values, 2), tables);
    float *const memory = (float *)nc__alloc(NULL, nc__mul_size(floats, sizeof *memory));
    float *ordered, *x;
    size_t first, m, i;
    if (!memory) return NC_ERR_MEMORY;
    ordered = memory + tables;
    x = ordered + values;
    if (vectors) nc_fp4__tables_of(&p->w, memory);
    for (first = 0; first < p->n; first += m) {
        m = nc_fp4__at_most(p->n - first, NC_FP4__BATCH);
        for (i = 0; i < m; i++) nc_fp4__take_vector(p, first + i, x + i * stride, stride);
        if (order) nc_fp4__order_vectors(p, x, m, stride, ordered);
        nc_fp4__batch(p, first, m, x, order ? ordered : NULL, stride,
                      nc_fp4__lanes() && (p->w.across || m >= NC_FP4__SHARED));
    }
    nc__free(NULL, memory, 0);
    return NC_OK;
}

/* A product as the user asks for it. */
static nc_status nc_fp4__product_of(const nc_fp4_tensor *tensor,
                                    const nc_fp4_product_options *options, nc_fp4__product *p) {
    static const nc_fp4_product_options none = {
        NC_FP4_FLOAT32, NC_FP4_FLOAT32, NULL, NULL, 0, NULL, 0, 0, 0};
    size_t i;
    memset(p, 0, sizeof *p);
    p->o = options ? options : &none;
    if (!nc_fp4__matrix_of(tensor, &p->w)) return NC_ERR_ARG;
    if ((unsigned)p->o->x_type >= NC_FP4_NUMBER_COUNT ||
        (unsigned)p->o->y_type >= NC_FP4_NUMBER_COUNT)
        return NC_ERR_ARG;
    p->rows = p->o->rows ? p->o->n_rows : tensor->rows;
    for (i = 0; i < p->rows && p->o->rows; i++)
        if (p->o->rows[i] >= tensor->rows) return NC_ERR_ARG;
    p->inputs = p->o->transposed ? p->rows : tensor->columns;
    p->outputs = p->o->transposed ? tensor->columns : p->rows;
    p->bias = p->o->bias;
    return NC_OK;
}

/* -- int8 --------------------------------------------------------------------------------- */

/* Twice the values of the codes are integers. Without a sign, as products of bytes take them, they
 * are `raised` by the largest, and a sum over columns loses `raise` times the sum of x. */
typedef struct nc_fp4__halves {
    size_t group; /* columns of an integer sum: a block, or 32 */
    int32_t raise;
    float factor; /* of a sum, to undo the doubling */
    int8_t doubled[16];
    uint8_t raised[16];
} nc_fp4__halves;

static void nc_fp4__halves_of(const nc_fp4__matrix *w, nc_fp4__halves *h) {
    int i;
    h->group = w->block ? w->block : 32;
    h->factor = 0.5f;
    h->raise = (int32_t)(2 * w->format.element->largest);
#ifdef NC__NEON
    h->raise = 0; /* its products take signs */
#endif
    for (i = 0; i < 16; i++) {
        h->doubled[i] = (int8_t)(2 * w->value[i]);
        h->raised[i] = (uint8_t)(h->doubled[i] + h->raise);
    }
}

/* The sum of a row, from column c (the first of a group) on. by: null, or for each group a factor
 * of its scale. */
static float nc_fp4__row_i8(const nc_fp4__matrix *w, const nc_fp4__halves *h, uint32_t r,
                            const int8_t *x, const float *by, size_t c, float sum) {
    const uint8_t *codes = w->tensor->codes + r * w->code_bytes;
    const size_t columns = w->tensor->columns;
    size_t end;
    for (; c < columns; c = end) {
        const float own = nc_fp4__scale_at(w, r, c), scale = by ? own * by[c / h->group] : own;
        int32_t dot = 0;
        end = columns - c < h->group ? columns : c + h->group;
        for (; c < end; c++) dot += h->doubled[nc_fp4__code_at(codes, c)] * x[c];
        sum = NC__FMAF((float)dot * h->factor, scale, sum);
    }
    return sum;
}

/* Bytes of a tile of 16 rows, and those of its scales, which come first, so that codes lie on cache
 * lines: for every group of columns (a whole one, the last included) the scales of the rows. Then
 * per eight columns 64 bytes: row r's bytes 4 r to 4 r + 3 hold the columns 0 to 3 in their low
 * nibbles and 4 to 7 in their high ones. */
static size_t nc_fp4__tile_bytes(const nc_fp4__matrix *w, size_t group, size_t *scales) {
    const size_t groups = (w->tensor->columns + group - 1) / group;
    *scales = (groups * 16 * nc_fp4__scales[w->format.scale].bytes + 63) / 64 * 64;
    return *scales + groups * 8 * group;
}

NC_API nc_status nc_fp4_tensor_interleave(nc_fp4_tensor *tensor) {
    nc_fp4__matrix w;
    size_t group, width, r, c, size, tiles, first;
    if (!nc_fp4__matrix_of(tensor, &w)) return NC_ERR_ARG;
    if (!w.format.element->halves || tensor->divides) return NC_ERR_UNSUPPORTED;
    group = w.block ? w.block : 32;
    width = nc_fp4__scales[w.format.scale].bytes;
    size = nc_fp4__tile_bytes(&w, group, &first);
    tiles = nc__mul_size((tensor->rows + (size_t)15) / 16, size);
    if (!tensor->tiles) tensor->tiles = (uint8_t *)nc__alloc(NULL, tiles);
    if (!tensor->tiles) return NC_ERR_MEMORY;
    memset(tensor->tiles, 0, tiles);
    for (r = 0; r < tensor->rows; r++) {
        const uint8_t *codes = tensor->codes + r * w.code_bytes;
        const uint8_t *scales = tensor->scales + r * w.scale_bytes;
        for (c = 0; c < tensor->columns; c++) {
            uint8_t *out = tensor->tiles + r / 16 * size;
            memcpy(out + (c / group * 16 + r % 16) * width, scales + c / group * width, width);
            out += first + c / 8 * 64 + r % 16 * 4 + c % 4;
            *out = (uint8_t)(*out | nc_fp4__code_at(codes, c) << (c % 8 / 4 * 4));
        }
    }
    return NC_OK;
}

#ifdef NC_FP4__LANES8
/* x in the order of nc_fp4__even_odd8, whole groups of 32 columns. */
static void nc_fp4__order_i8(const int8_t *x, size_t columns, int8_t *ordered) {
    size_t c, i;
    for (c = 0; c + 32 <= columns; c += 32)
        for (i = 0; i < 16; i++) {
            ordered[c + i] = x[c + 2 * i];
            ordered[c + 16 + i] = x[c + 2 * i + 1];
        }
}

/* Words i of all eight to vector i. */
NC_FP4__INLINE8 void nc_fp4__transpose8(const nc_fp4__v8 x[8], nc_fp4__v8 y[8]) {
    nc_fp4__v8 z[8];
    size_t i;
    for (i = 0; i < 8; i += 4) { /* fours: words 0 and 1, then 2 and 3, in each half */
        const nc_fp4__v8 a = nc_fp4__low_words8(x[i], x[i + 1]);
        const nc_fp4__v8 b = nc_fp4__high_words8(x[i], x[i + 1]);
        const nc_fp4__v8 c = nc_fp4__low_words8(x[i + 2], x[i + 3]);
        const nc_fp4__v8 d = nc_fp4__high_words8(x[i + 2], x[i + 3]);
        z[i] = nc_fp4__low_doubles8(a, c);
        z[i + 1] = nc_fp4__high_doubles8(a, c);
        z[i + 2] = nc_fp4__low_doubles8(b, d);
        z[i + 3] = nc_fp4__high_doubles8(b, d);
    }
    for (i = 0; i < 4; i++) {
        y[i] = nc_fp4__join_low8(z[i], z[i + 4]);
        y[i + 4] = nc_fp4__join_high8(z[i], z[i + 4]);
    }
}

/* The scales of eight rows, of `count` blocks from block `first` on, side by side. */
NC_FP4__TARGET8 static void nc_fp4__scales_by_rows8(const nc_fp4__matrix *w,
                                                    const uint8_t *const scales[8], size_t first,
                                                    size_t count, float out[][8]) {
    float one[8][64];
    size_t i, k;
    for (k = 0; k < 8; k++)
        nc_fp4__scales8(&w->format, scales[k], w->tensor->tensor_scale, first, count, one[k]);
    for (i = 0; i < count; i += 8) {
        nc_fp4__v8 v[8], u[8];
        for (k = 0; k < 8; k++) v[k] = nc_fp4__load8(one[k] + i);
        nc_fp4__transpose8(v, u);
        for (k = 0; k < 8 && i + k < 64; k++) nc_fp4__store8(out[i + k], u[k]);
    }
}

/* Eight sums of one group, to those of the groups before. */
NC_FP4__INLINE8 nc_fp4__f8 nc_fp4__add_group8(nc_fp4__v8 dots, int32_t offset, float factor,
                                              const float scale[8], nc_fp4__f8 sum) {
    dots = nc_fp4__sub8(dots, nc_fp4__set8((uint32_t)offset));
    return nc_fp4__fma8(nc_fp4__mulf8(nc_fp4__to_float8(dots), nc_fp4__setf8(factor)),
                        nc_fp4__loadf8(scale), sum);
}

/* Four bytes in every word. */
NC_FP4__INLINE8 nc_fp4__v8 nc_fp4__four8(const int8_t *x) {
    uint32_t word;
    memcpy(&word, x, 4);
    return nc_fp4__set8(word);
}

/* 32 columns of a row: sums of two products in 16 bits. */
NC_FP4__INLINE8 nc_fp4__v8 nc_fp4__row_twos8(nc_fp4__v8 raised, const uint8_t *codes,
                                             nc_fp4__v8 x) {
    return nc_fp4__twos8(nc_fp4__lookup8(raised, nc_fp4__even_odd8(codes)), x);
}

/* The same of four rows at byte c: sums of eight products, in each half two of every row. */
NC_FP4__INLINE8 nc_fp4__v8 nc_fp4__four_rows8(nc_fp4__v8 raised, const uint8_t *const codes[4],
                                              size_t c, nc_fp4__v8 x) {
    return nc_fp4__short_pairs8(nc_fp4__short_pairs8(nc_fp4__row_twos8(raised, codes[0] + c, x),
                                                     nc_fp4__row_twos8(raised, codes[1] + c, x)),
                                nc_fp4__short_pairs8(nc_fp4__row_twos8(raised, codes[2] + c, x),
                                                     nc_fp4__row_twos8(raised, codes[3] + c, x)));
}

/* Words of both halves of x, of both of y. */
NC_FP4__INLINE8 nc_fp4__v8 nc_fp4__add_halves8(nc_fp4__v8 x, nc_fp4__v8 y) {
    return nc_fp4__add8(nc_fp4__join_low8(x, y), nc_fp4__join_high8(x, y));
}

/* The sums of eight rows over whole groups of 32 columns. offset: of every 16 columns, `raise`
 * times the sum of x. */
NC_FP4__TARGET8 static size_t nc_fp4__rows_i8_8(const nc_fp4__matrix *w, const nc_fp4__halves *h,
                                                const uint32_t r[8], const int8_t *x,
                                                const float *by, const int32_t *offset,
                                                float sums[8]) {
    const nc_fp4__v8 raised = nc_fp4__twice8(h->raised);
    const size_t end = w->tensor->columns / 32 * 32;
    const uint8_t *codes[8], *scales[8];
    const uint8_t *next; /* the next eight rows: two lines of them with every 32 columns */
    nc_fp4__f8 sum = nc_fp4__setf8(0);
    float scale[64][8];
    size_t c, first, k;
    for (k = 0; k < 8; k++) {
        codes[k] = w->tensor->codes + r[k] * w->code_bytes;
        scales[k] = w->tensor->scales + r[k] * w->scale_bytes;
    }
    next = codes[0] + (w->tensor->rows - r[0] >= 16 ? 8 * w->code_bytes : 0);
    for (k = 0; k < 64 * 8; k++) scale[k / 8][k % 8] = 1.0f;
    for (first = 0; first < end; first += NC_FP4__SOME) {
        const size_t past = end - first < NC_FP4__SOME ? end : first + NC_FP4__SOME;
        if (w->block)
            nc_fp4__scales_by_rows8(w, scales, first / h->group, (past - first) / h->group, scale);
        for (k = 0; by && k < (past - first) / h->group; k++)
            nc_fp4__storef8(scale[k], nc_fp4__mulf8(nc_fp4__loadf8(scale[k]),
                                                    nc_fp4__setf8(by[first / h->group + k])));
        for (c = first; c < past; c += 32) {
            const nc_fp4__v8 v = nc_fp4__load8(x + c);
            const size_t at = (c - first) / 16;
            __builtin_prefetch(next + 4 * c);
            __builtin_prefetch(next + 4 * c + 64);
            const nc_fp4__v8 p = nc_fp4__four_rows8(raised, codes, c / 2, v);
            const nc_fp4__v8 q = nc_fp4__four_rows8(raised, codes + 4, c / 2, v);
            if (h->group == 16) {
                const nc_fp4__v8 d =
                    nc_fp4__add_halves8(nc_fp4__short_even8(p), nc_fp4__short_even8(q));
                const nc_fp4__v8 e =
                    nc_fp4__add_halves8(nc_fp4__short_odd8(p), nc_fp4__short_odd8(q));
                sum = nc_fp4__add_group8(d, offset[c / 16], h->factor, scale[at], sum);
                sum = nc_fp4__add_group8(e, offset[c / 16 + 1], h->factor, scale[at + 1], sum);
            } else {
                const nc_fp4__v8 d =
                    nc_fp4__add_halves8(nc_fp4__short_both8(p), nc_fp4__short_both8(q));
                sum = nc_fp4__add_group8(d, offset[c / 16] + offset[c / 16 + 1], h->factor,
                                         scale[at / 2], sum);
            }
        }
    }
    nc_fp4__storef8(sums, sum);
    return end;
}

/* Eight columns of eight rows of a tile. */
NC_FP4__INLINE8 nc_fp4__dots8 nc_fp4__tile_step8(nc_fp4__dots8 sums, nc_fp4__v8 raised,
                                                 const uint8_t *tile, const int8_t *x, int dot) {
    const nc_fp4__v8 codes = nc_fp4__load8(tile);
    sums = nc_fp4__dots_add8(sums, nc_fp4__lookup8(raised, nc_fp4__low_nibbles8(codes)),
                             nc_fp4__four8(x), dot);
    return nc_fp4__dots_add8(sums, nc_fp4__lookup8(raised, nc_fp4__high_nibbles8(codes)),
                             nc_fp4__four8(x + 4), dot);
}

/* The sums of the sixteen rows of a tile; arguments as those of nc_fp4__tile_i8. */
NC_FP4__INLINE8 void nc_fp4__tile_by8(int dot, const nc_fp4__matrix *w, const nc_fp4__halves *h,
                                      const uint8_t *scales, const uint8_t *tile, const int8_t *x,
                                      const float *by, const int32_t *start, float sums[16]) {
    const nc_fp4__v8 raised = nc_fp4__twice8(h->raised);
    const size_t groups = (w->tensor->columns + h->group - 1) / h->group;
    const size_t width = nc_fp4__scales[w->format.scale].bytes;
    const nc_fp4__f8 factor = nc_fp4__setf8(h->factor);
    nc_fp4__f8 a = nc_fp4__setf8(0), b = a, scale = nc_fp4__setf8(1.0f), scale_b = scale;
    size_t g, c;
    for (g = 0; g < groups; g++) {
        nc_fp4__v8 low = nc_fp4__set8((uint32_t)start[g]), high = low;
        if (width == 1) {
            scale = nc_fp4__byte_scales8(&w->format, w->tensor->tensor_scale, scales);
            scale_b = nc_fp4__byte_scales8(&w->format, w->tensor->tensor_scale, scales + 8);
        } else if (width == 4) {
            scale = nc_fp4__as_float8(nc_fp4__load8(scales));
            scale_b = nc_fp4__as_float8(nc_fp4__load8(scales + 32));
        }
        if (by) {
            scale = nc_fp4__mulf8(scale, nc_fp4__setf8(by[g]));
            scale_b = nc_fp4__mulf8(scale_b, nc_fp4__setf8(by[g]));
        }
        scales += 16 * width;
        for (c = 0; c < h->group; c += 16, tile += 128, x += 16) {
            nc_fp4__dots8 d = nc_fp4__dots_begin8(), e = d;
            d = nc_fp4__tile_step8(d, raised, tile, x, dot);
            e = nc_fp4__tile_step8(e, raised, tile + 32, x, dot);
            d = nc_fp4__tile_step8(d, raised, tile + 64, x + 8, dot);
            e = nc_fp4__tile_step8(e, raised, tile + 96, x + 8, dot);
            low = nc_fp4__dots_end8(low, d, dot);
            high = nc_fp4__dots_end8(high, e, dot);
        }
        a = nc_fp4__fma8(nc_fp4__mulf8(nc_fp4__to_float8(low), factor), scale, a);
        b = nc_fp4__fma8(nc_fp4__mulf8(nc_fp4__to_float8(high), factor), scale_b, b);
    }
    nc_fp4__storef8(sums, a);
    nc_fp4__storef8(sums + 8, b);
}

NC_FP4__TARGET8 static void nc_fp4__tile_i8_8(const nc_fp4__matrix *w, const nc_fp4__halves *h,
                                              const uint8_t *scales, const uint8_t *tile,
                                              const int8_t *x, const float *by,
                                              const int32_t *start, float sums[16]) {
#ifdef NC__NEON
    if (nc_fp4__level() >= 2) {
        nc_fp4__tile_by8(1, w, h, scales, tile, x, by, start, sums);
        return;
    }
#endif
    nc_fp4__tile_by8(0, w, h, scales, tile, x, by, start, sums);
}
#endif

#ifdef NC_FP4__X86
/* Is nc_fp4__tile_i8 for this matrix? Besides the instructions it needs scales of E4M3 that are
 * neither subnormal nor infinite when they are taken half and 2^120 times as large. */
static int nc_fp4__fits_tile512(const nc_fp4__matrix *w) {
    const float scale = w->tensor->tensor_scale;
    return nc_fp4__lanes() == 16 && __builtin_cpu_supports("avx512vnni") != 0 &&
           __builtin_cpu_supports("avx512vbmi") != 0 && w->format.scale != NC_FP4__FLOAT32 &&
           (w->format.scale != NC_FP4__E4M3 || (scale > 1e-30f && scale < 100.0f));
}

#define NC_FP4__VNNI                                                                               \
    __attribute__((target("avx512f,avx512bw,avx512dq,avx512vl,avx512vnni,avx512vbmi,avx2,fma")))

/* Halves of sixteen scales; by: half the tensor's scale times 2^120. */
static inline __attribute__((always_inline)) NC_FP4__VNNI __m512
nc_fp4__half_scales512(uint8_t kind, __m512 by, const uint8_t *scales) {
    const __m128i codes = _mm_loadu_si128((const __m128i *)(const void *)scales);
    const __m128i ones = _mm_set1_epi8(-1);
    __m512i u;
    if (kind == NC_FP4__E8M0) { /* the exponent; 0 is 2^-127, 255 NaN: both have another bit */
        const __mmask16 ends = (__mmask16)(_mm_cmpeq_epi8_mask(codes, _mm_setzero_si128()) |
                                           _mm_cmpeq_epi8_mask(codes, ones));
        u = _mm512_slli_epi32(_mm512_cvtepu8_epi32(codes), 23);
        u = _mm512_mask_or_epi32(u, ends, u, _mm512_set1_epi32(0x00400000));
        return _mm512_mul_ps(_mm512_castsi512_ps(u), _mm512_set1_ps(0.5f));
    }
    /* E4M3 as a float32 of exponent 2^-120 too small, subnormals included; the sign is extended */
    u = _mm512_and_si512(_mm512_slli_epi32(_mm512_cvtepi8_epi32(codes), 20),
                         _mm512_set1_epi32((int)0x87F00000u));
    return _mm512_mask_mov_ps(_mm512_mul_ps(_mm512_castsi512_ps(u), by),
                              _mm_cmpeq_epi8_mask(_mm_or_si128(codes, _mm_set1_epi8(-128)), ones),
                              _mm512_castsi512_ps(_mm512_set1_epi32(0x7FC00000)));
}

/* Eight columns. Look-ups take six bits, of which the table leaves out the upper two. */
static inline __attribute__((always_inline)) NC_FP4__VNNI void
nc_fp4__tile_step512(__m512i raised, const uint8_t *tile, const int8_t *x, __m512i *low,
                     __m512i *high) {
    const __m512i codes = _mm512_loadu_si512(tile);
    int32_t x0, x1;
    memcpy(&x0, x, 4);
    memcpy(&x1, x + 4, 4);
    *low = _mm512_dpbusd_epi32(*low, _mm512_permutexvar_epi8(codes, raised), _mm512_set1_epi32(x0));
    *high = _mm512_dpbusd_epi32(*high, _mm512_permutexvar_epi8(_mm512_srli_epi16(codes, 4), raised),
                                _mm512_set1_epi32(x1));
}

/* The sums of the 16 rows of a tile. x: whole groups; start: of every group minus `raise` times the
 * sum of x; by: as nc_fp4__row_i8 has it. */
NC_FP4__VNNI static void nc_fp4__tile_i8(const nc_fp4__matrix *w, const nc_fp4__halves *h,
                                         const uint8_t *scales, const uint8_t *tile,
                                         const int8_t *x, const float *by, const int32_t *start,
                                         float sums[16]) {
    const __m512i raised =
        _mm512_broadcast_i32x4(_mm_loadu_si128((const __m128i *)(const void *)h->raised));
    const size_t groups = (w->tensor->columns + h->group - 1) / h->group;
    const uint8_t kind = w->format.scale;
    const __m512 raised_scale = _mm512_set1_ps(w->tensor->tensor_scale * 0.5f * 1.329227996e36f);
    const __m512 factor = _mm512_set1_ps(h->factor);
    __m512 sum = _mm512_setzero_ps(), half = factor; /* without scales */
    size_t g, c;
    for (g = 0; g < groups; g++) {
        __m512i low = _mm512_set1_epi32(start[g]), high = _mm512_setzero_si512();
        __m512 dots;
        if (kind != NC_FP4__UNSCALED) {
            half = nc_fp4__half_scales512(kind, raised_scale, scales);
            scales += 16;
        }
        for (c = 0; c < h->group; c += 16, tile += 128, x += 16) {
            nc_fp4__tile_step512(raised, tile, x, &low, &high);
            nc_fp4__tile_step512(raised, tile + 64, x + 8, &low, &high);
        }
        dots = _mm512_cvtepi32_ps(_mm512_add_epi32(low, high));
        if (by) { /* the same roundings as everywhere, subnormal scales included */
            const __m512 both = _mm512_mul_ps(_mm512_add_ps(half, half), _mm512_set1_ps(by[g]));
            sum = _mm512_fmadd_ps(_mm512_mul_ps(dots, factor), both, sum);
        } else {
            sum = _mm512_fmadd_ps(dots, half, sum);
        }
    }
    _mm512_storeu_ps(sums, sum);
}
#undef NC_FP4__VNNI
#endif

#ifdef NC_FP4__LANES8
/* All rows by tiles. */
static nc_status nc_fp4__tiles_i8(const nc_fp4__matrix *w, const nc_fp4__halves *h, const int8_t *x,
                                  const float *by, float *y) {
    const size_t columns = w->tensor->columns, groups = (columns + h->group - 1) / h->group;
#ifdef NC_FP4__X86
    const int fits = nc_fp4__fits_tile512(w);
#endif
    size_t first, size = nc_fp4__tile_bytes(w, h->group, &first);
    int8_t *padded = (int8_t *)nc__calloc(NULL, groups * (h->group + sizeof(int32_t)));
    int32_t *start;
    ptrdiff_t i;
    size_t c;
    if (!padded) return NC_ERR_MEMORY;
    start = (int32_t *)(void *)(padded + groups * h->group);
    memcpy(padded, x, columns);
    for (c = 0; c < columns; c++) start[c / h->group] -= h->raise * x[c];
#ifdef _OPENMP
#pragma omp parallel for schedule(static) if ((double)w->tensor->rows * (double)columns > 1e6)
#endif
    for (i = 0; i < (ptrdiff_t)((w->tensor->rows + 15) / 16); i++) {
        const uint8_t *tile = w->tensor->tiles + (size_t)i * size;
        float sums[16];
        uint32_t r;
#ifdef NC_FP4__X86
        if (fits)
            nc_fp4__tile_i8(w, h, tile, tile + first, padded, by, start, sums);
        else
#endif
            nc_fp4__tile_i8_8(w, h, tile, tile + first, padded, by, start, sums);
        for (r = 0; r < 16 && (uint32_t)i * 16 + r < w->tensor->rows; r++)
            y[(uint32_t)i * 16 + r] = sums[r];
    }
    nc__free(NULL, padded, 0);
    return NC_OK;
}
#endif

/* The sums of x in the rows that p takes. */
static nc_status nc_fp4__sums_i8(const nc_fp4__product *p, const nc_fp4__halves *h, const int8_t *x,
                                 const float *by, float *y) {
    int32_t *offset = NULL; /* for vectors: of every 16 columns, `raise` times the sum of x */
#ifdef NC_FP4__LANES8
    const nc_fp4_tensor *tensor = p->w.tensor;
    int8_t *ordered = NULL; /* and x as they take it */
#endif
    ptrdiff_t i;
#ifdef NC_FP4__LANES8
    if (nc_fp4__lanes() && !tensor->divides) {
        const size_t columns = tensor->columns, room = (columns / 16 + 2) * sizeof *offset;
        size_t c;
        if (tensor->tiles && !p->o->rows) return nc_fp4__tiles_i8(&p->w, h, x, by, y);
        if (h->group <= 32) {
            offset = (int32_t *)nc__calloc(NULL, room + columns);
            if (!offset) return NC_ERR_MEMORY;
            ordered = (int8_t *)offset + room;
            for (c = 0; c < columns; c++) offset[c / 16] += h->raise * x[c];
            nc_fp4__order_i8(x, columns, ordered);
        }
    }
#endif
#ifdef _OPENMP
#pragma omp parallel for schedule(static) if ((double)p->rows * p->w.tensor->columns > 1e6)
#endif
    for (i = 0; i < (ptrdiff_t)p->rows; i += 8) {
        const size_t row = (size_t)i, count = nc_fp4__at_most(p->rows - row, 8);
        float sums[8] = {0};
        size_t done = 0, k;
        uint32_t r[8];
        for (k = 0; k < 8; k++) r[k] = nc_fp4__row_number(p, row + (k < count ? k : count - 1));
#ifdef NC_FP4__LANES8
        if (offset) done = nc_fp4__rows_i8_8(&p->w, h, r, ordered, by, offset, sums);
#endif
        for (k = 0; k < count; k++)
            y[row + k] = nc_fp4__row_i8(&p->w, h, r[k], x, by, done, sums[k]);
    }
    nc__free(NULL, offset, 0);
    return NC_OK;
}

NC_API nc_status nc_fp4_matvec_i8(const nc_fp4_tensor *tensor, const int8_t *x, float x_scale,
                                  float *y) {
    nc_fp4__product p;
    nc_fp4__halves h;
    nc_status status = nc_fp4__product_of(tensor, NULL, &p);
    uint32_t r;
    if (status != NC_OK || !x || !y) return NC_ERR_ARG;
    if (!p.w.format.element->halves) return NC_ERR_UNSUPPORTED;
    nc_fp4__halves_of(&p.w, &h);
    status = nc_fp4__sums_i8(&p, &h, x, NULL, y);
    for (r = 0; r < tensor->rows && status == NC_OK; r++) y[r] *= x_scale;
    return status;
}

/* -- codes ------------------------------------------------------------------------------- */

/* A vector of X as codes, and as the loops over bytes take it: doubled values, scales. */
typedef struct nc_fp4__coded {
    float *values, *by, *sums;
    uint8_t *codes, *scales;
    int8_t *doubled;
    float tensor_scale;
    int divides;
} nc_fp4__coded;

/* Memory for all of it; 0: there is none. Release: nc__free(NULL, v->values, 0). */
static int nc_fp4__coded_alloc(const nc_fp4__product *p, nc_fp4__coded *v) {
    const size_t groups = p->inputs / 16 + 1; /* or fewer, of 32 */
    const size_t floats = nc__add_size(p->inputs, nc__add_size(groups, p->outputs));
    const size_t bytes = nc__add_size(nc_fp4_code_bytes(p->inputs), p->inputs + groups);
    v->values =
        (float *)nc__alloc(NULL, nc__add_size(nc__mul_size(floats, sizeof *v->values), bytes));
    if (!v->values) return 0;
    v->by = v->values + p->inputs;
    v->sums = v->by + groups;
    v->codes = (uint8_t *)(v->sums + p->outputs);
    v->scales = v->codes + nc_fp4_code_bytes(p->inputs);
    v->doubled = (int8_t *)(v->scales + groups);
    v->divides = 0;
    return 1;
}

/* Vector i of p: quantised, or a row of `from`. */
static nc_status nc_fp4__take_coded(const nc_fp4__product *p, const nc_fp4_tensor *from,
                                    const nc_fp4__halves *h, size_t i, nc_fp4__coded *v) {
    const uint8_t *codes = v->codes, *scales = v->scales;
    nc_status status = NC_OK;
    size_t c;
    if (from) {
        const size_t row = p->o->x_rows ? p->o->x_rows[i] : i;
        codes = from->codes + row * p->w.code_bytes;
        scales = from->scales + (p->w.block ? row * p->w.scale_bytes : 0);
        v->tensor_scale = from->tensor_scale;
        v->divides = from->divides;
    } else {
        nc_fp4_options how = {NC_FP4_SCALE_FLOOR, 0, 0, NC_FP4_AS_DEFINED, 0};
        how.tensor_scale = p->o->x_tensor_scale;
        nc_fp4__take_vector(p, i, v->values, p->inputs);
        status = nc_fp4_quantize_with(p->w.tensor->format, &how, v->values, p->inputs, v->codes,
                                      v->scales, &v->tensor_scale);
    }
    for (c = 0; c < p->inputs && status == NC_OK; c++)
        v->doubled[c] = h->doubled[nc_fp4__code_at(codes, c)];
    for (c = 0; c < p->inputs && p->w.block && status == NC_OK; c += p->w.block)
        v->by[c / p->w.block] = nc_fp4__read_scale(&p->w.format, scales, c / p->w.block, 1.0f);
    return status;
}

/* A sum times the scale of a tensor. */
static float nc_fp4__by_tensor(float sum, float tensor_scale, int divides) {
    return divides ? sum / tensor_scale : sum * tensor_scale;
}

/* All vectors of a product of codes with codes; from: null, or X. */
static nc_status nc_fp4__multiply_coded(const nc_fp4__product *p, const nc_fp4_tensor *from) {
    const nc_fp4_tensor *tensor = p->w.tensor;
    nc_fp4_tensor plain = *tensor; /* whose scales are those of its blocks alone */
    nc_fp4__product q = *p;
    nc_status status = NC_OK;
    nc_fp4__halves h;
    nc_fp4__coded v;
    size_t i, k;
    if (!p->w.format.element->halves || p->o->transposed) return NC_ERR_UNSUPPORTED;
    if (!nc_fp4__coded_alloc(p, &v)) return NC_ERR_MEMORY;
    plain.tensor_scale = 1.0f;
    plain.divides = 0;
    q.w.tensor = &plain;
    nc_fp4__halves_of(&q.w, &h);
    h.factor = 0.25f;
    for (i = 0; i < p->n && status == NC_OK; i++) {
        status = nc_fp4__take_coded(p, from, &h, i, &v);
        if (status == NC_OK)
            status = nc_fp4__sums_i8(&q, &h, v.doubled, p->w.block ? v.by : NULL, v.sums);
        if (status != NC_OK) break;
        for (k = 0; k < p->outputs && p->w.format.scale == NC_FP4__E4M3; k++) {
            v.sums[k] = nc_fp4__by_tensor(v.sums[k], tensor->tensor_scale, tensor->divides);
            v.sums[k] = nc_fp4__by_tensor(v.sums[k], v.tensor_scale, v.divides);
        }
        nc_fp4__put_outputs(p, i, 0, v.sums, p->outputs);
    }
    nc__free(NULL, v.values, 0);
    return status;
}

/* -- all of them --------------------------------------------------------------------------- */

static nc_status nc_fp4__run_product(nc_fp4__product *p, const void *x, size_t n, void *y) {
    p->x = (const uint8_t *)x;
    p->y = y;
    p->n = n;
    if (p->o->quantised && (p->o->transposed || !p->w.format.element->halves))
        return NC_ERR_UNSUPPORTED;
    if (n == 0 || p->outputs == 0) return NC_OK;
    if (!y || (p->inputs && !x)) return NC_ERR_ARG;
    return p->o->quantised ? nc_fp4__multiply_coded(p, NULL) : nc_fp4__multiply(p);
}

NC_API nc_status nc_fp4_product(const nc_fp4_tensor *tensor, const nc_fp4_product_options *options,
                                const void *x, size_t n, void *y) {
    nc_fp4__product p;
    const nc_status status = nc_fp4__product_of(tensor, options, &p);
    return status == NC_OK ? nc_fp4__run_product(&p, x, n, y) : status;
}

NC_API nc_status nc_fp4_product_fp4(const nc_fp4_tensor *tensor,
                                    const nc_fp4_product_options *options, const nc_fp4_tensor *x,
                                    size_t n, void *y) {
    nc_fp4__product p;
    nc_fp4__matrix w;
    const nc_status status = nc_fp4__product_of(tensor, options, &p);
    size_t i;
    if (status != NC_OK) return status;
    if (!nc_fp4__matrix_of(x, &w) || (n && p.outputs && !y)) return NC_ERR_ARG;
    if (x->format != tensor->format || x->columns != tensor->columns) return NC_ERR_MISMATCH;
    for (i = 0; i < n; i++)
        if ((p.o->x_rows ? p.o->x_rows[i] : i) >= x->rows) return NC_ERR_ARG;
    p.y = y;
    p.n = n;
    return nc_fp4__multiply_coded(&p, x);
}

/* The vectors of each expert together: order[start[e]] .. are those of expert e. */
static void nc_fp4__sort_by_expert(const uint32_t *expert, size_t n, size_t count, size_t *start,
                                   size_t *order) {
    size_t i;
    memset(start, 0, (count + 1) * sizeof *start);
    for (i = 0; i < n; i++) start[expert[i] + 1]++;
    for (i = 0; i < count; i++) start[i + 1] += start[i];
    for (i = 0; i < n; i++) order[start[expert[i]]++] = i;
    for (i = count; i > 0; i--) start[i] = start[i - 1];
    start[0] = 0;
}

NC_API nc_status nc_fp4_product_experts(const nc_fp4_tensor *experts, size_t count,
                                        const uint32_t *expert,
                                        const nc_fp4_product_options *options, const void *x,
                                        size_t n, void *y) {
    nc_status status = NC_OK;
    nc_fp4__product p;
    size_t *start, *order, i, e;
    if ((count && !experts) || (n && !expert)) return NC_ERR_ARG;
    for (i = 0; i < n; i++)
        if (expert[i] >= count) return NC_ERR_ARG;
    for (e = 0; e < count && status == NC_OK; e++) {
        status = nc_fp4__product_of(experts + e, options, &p);
        if (status == NC_OK &&
            (experts[e].rows != experts[0].rows || experts[e].columns != experts[0].columns))
            status = NC_ERR_MISMATCH;
    }
    if (status != NC_OK) return status;
    start = (size_t *)nc__alloc(
        NULL, nc__mul_size(nc__add_size(nc__add_size(n, count), 1), sizeof *start));
    if (!start) return NC_ERR_MEMORY;
    order = start + count + 1;
    nc_fp4__sort_by_expert(expert, n, count, start, order);
    for (e = 0; e < count && status == NC_OK; e++) {
        if (start[e] == start[e + 1]) continue;
        status = nc_fp4__product_of(experts + e, options, &p);
        if (p.bias) p.bias += e * p.outputs;
        p.vectors = order + start[e];
        if (status == NC_OK) status = nc_fp4__run_product(&p, x, start[e + 1] - start[e], y);
    }
    nc__free(NULL, start, 0);
    return status;
}

NC_API nc_status nc_fp4_matvec(const nc_fp4_tensor *tensor, const float *x, float *y) {
    return x && y ? nc_fp4_matmul(tensor, x, 1, y) : NC_ERR_ARG;
}

NC_API nc_status nc_fp4_matmul(const nc_fp4_tensor *tensor, const float *x, size_t n, float *y) {
    return nc_fp4_product(tensor, NULL, x, n, y);
}

/* >>atoms ======================================================================== */

NC__WARM_BEGIN

/* Codes by value, for the tables below. */
#define NC_FP4__HALF 1
#define NC_FP4__ONE 2
#define NC_FP4__ONE_HALF 3
#define NC_FP4__TWO 4
#define NC_FP4__MINUS 8

/* Minimal forms: every sum keeps a distance of at least 1/2 from its threshold. SUM and CARRY
 * share the unit h = [a + b + c > 1.5]. */
static const nc_fp4_atom nc_fp4__atoms[NC_FP4_ATOM_COUNT] = {
    {"AND", 2, 1, 0x8, {{{0, 1}, {2, 2}, 2, NC_FP4__ONE_HALF}}},
    {"OR", 2, 1, 0xE, {{{0, 1}, {2, 2}, 2, NC_FP4__HALF}}},
    {"NAND", 2, 1, 0x7, {{{0, 1}, {10, 10}, 2, NC_FP4__ONE_HALF | NC_FP4__MINUS}}},
    {"NOR", 2, 1, 0x1, {{{0, 1}, {10, 10}, 2, NC_FP4__HALF | NC_FP4__MINUS}}},
    {"NOT", 1, 1, 0x1, {{{0}, {10}, 1, NC_FP4__HALF | NC_FP4__MINUS}}},
    {"XOR",
     2,
     2,
     0x6,
     {{{0, 1}, {2, 2}, 2, NC_FP4__ONE_HALF}, {{0, 1, 2}, {2, 2, 12}, 3, NC_FP4__HALF}}},
    {"XNOR",
     2,
     2,
     0x9,
     {{{0, 1}, {2, 2}, 2, NC_FP4__ONE_HALF},
      {{0, 1, 2}, {10, 10, 4}, 3, NC_FP4__HALF | NC_FP4__MINUS}}},
    {"SUM",
     3,
     2,
     0x96,
     {{{0, 1, 2}, {2, 2, 2}, 3, NC_FP4__ONE_HALF}, {{0, 1, 2, 3}, {2, 2, 2, 12}, 4, NC_FP4__HALF}}},
    {"CARRY", 3, 1, 0xE8, {{{0, 1, 2}, {2, 2, 2}, 3, NC_FP4__ONE_HALF}}},
    {"MUX",
     3,
     2,
     0xE4, /* h = [s + b > 1.5], y = [a - s + 2h > 0.5] */
     {{{0, 2}, {2, 2}, 2, NC_FP4__ONE_HALF}, {{0, 1, 3}, {10, 2, 4}, 3, NC_FP4__HALF}}},
};

/* NF4 has no 2: weights are 0.44 (code 12) or 0.56 (13) and -0.39 (3), h enters with -1 (0) or 1
 * (15), and every sum keeps a distance of at least 0.13 from its threshold. */
static const nc_fp4_atom nc_fp4__nf4_atoms[NC_FP4_ATOM_COUNT] = {
    {"AND", 2, 1, 0x8, {{{0, 1}, {12, 12}, 2, 14}}},
    {"OR", 2, 1, 0xE, {{{0, 1}, {12, 12}, 2, 10}}},
    {"NAND", 2, 1, 0x7, {{{0, 1}, {3, 3}, 2, 2}}},
    {"NOR", 2, 1, 0x1, {{{0, 1}, {3, 3}, 2, 5}}},
    {"NOT", 1, 1, 0x1, {{{0}, {3}, 1, 5}}},
    {"XOR", 2, 2, 0x6, {{{0, 1}, {12, 12}, 2, 14}, {{0, 1, 2}, {12, 12, 0}, 3, 10}}},
    {"XNOR", 2, 2, 0x9, {{{0, 1}, {12, 12}, 2, 14}, {{0, 1, 2}, {3, 3, 15}, 3, 5}}},
    {"SUM", 3, 2, 0x96, {{{0, 1, 2}, {13, 13, 13}, 3, 14}, {{0, 1, 2, 3}, {13, 13, 13, 0}, 4, 11}}},
    {"CARRY", 3, 1, 0xE8, {{{0, 1, 2}, {13, 13, 13}, 3, 14}}},
    {"MUX", 3, 2, 0xE4, {{{0, 2}, {12, 12}, 2, 14}, {{0, 1, 3}, {3, 12, 15}, 3, 10}}},
};

NC_API const nc_fp4_atom *nc_fp4_get_atom(nc_fp4_atom_kind kind) {
    return (unsigned)kind < NC_FP4_ATOM_COUNT ? &nc_fp4__atoms[kind] : NULL;
}

NC_API const nc_fp4_atom *nc_fp4_get_nf4_atom(nc_fp4_atom_kind kind) {
    return (unsigned)kind < NC_FP4_ATOM_COUNT ? &nc_fp4__nf4_atoms[kind] : NULL;
}

/* sum - threshold of a unit, and the smallest |sum - threshold| so far. */
static float nc_fp4__unit_sum(const nc_fp4__element *element, const nc_fp4_unit *unit,
                              const float *wires, double *margin) {
    float sum = 0.0f, distance;
    int i;
    for (i = 0; i < unit->inputs; i++)
        sum += element->value[unit->weight[i] & 15] * wires[unit->input[i]];
    sum -= element->value[unit->threshold & 15];
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

NC_API nc_status nc_fp4_verify_atom(const nc_fp4_atom *atom, nc_fp4_format format,
                                    nc_fp4_report *report) {
    const nc_fp4__element *element = format == NC_FP4_NF4 ? &nc_fp4__nf4 : &nc_fp4__e2m1;
    float wires[4 + NC_FP4_ATOM_UNITS];
    double margin = 1e9;
    uint32_t c, u, i;
    if (!report) return NC_ERR_ARG;
    memset(report, 0, sizeof *report);
    if (!atom || atom->inputs > 4 || atom->units < 1 || atom->units > NC_FP4_ATOM_UNITS)
        return NC_ERR_ARG;
    if (format != NC_FP4_E2M1 && format != NC_FP4_NF4) return NC_ERR_ARG;
    for (u = 0; u < atom->units; u++) {
        if (atom->unit[u].inputs > NC_FP4_UNIT_INPUTS) return NC_ERR_ARG;
        for (i = 0; i < atom->unit[u].inputs; i++)
            if (atom->unit[u].input[i] >= atom->inputs + u) return NC_ERR_ARG;
        nc_fp4__count(&atom->unit[u], report);
    }
    report->depth = atom->units; /* later units read earlier ones */
    for (c = 0; c < 1u << atom->inputs; c++) {
        for (i = 0; i < atom->inputs; i++) wires[i] = (float)(c >> i & 1);
        for (u = 0; u < atom->units; u++)
            wires[atom->inputs + u] =
                nc_fp4__unit_sum(element, &atom->unit[u], wires, &margin) > 0 ? 1.0f : 0.0f;
        report->cases++;
        if ((uint32_t)wires[atom->inputs + atom->units - 1] != (atom->truth >> c & 1)) {
            if (!report->wrong++) report->first_wrong = c;
        }
    }
    nc_fp4__finish_report(report, margin);
    report->verdict = report->wrong ? NC_FP4_REFUTED : NC_FP4_PROVEN;
    return NC_OK;
}

/* Synthesis works in half units: codes of the 15 different values, and twice the values. */
static const uint8_t nc_fp4__code_of[15] = {0, 1, 9, 2, 10, 3, 11, 4, 12, 5, 13, 6, 14, 7, 15};
static const int nc_fp4__twice[15] = {0, 1, -1, 2, -2, 3, -3, 4, -4, 6, -6, 8, -8, 12, -12};

/* One unit that fires on a truth table: weights and threshold as indices of the lists above. */
typedef struct nc_fp4__single {
    int8_t weight[4], threshold;
    uint8_t margin; /* in half units; 0: there is none */
    uint8_t inputs; /* with a weight */
} nc_fp4__single;

/* The best single unit for every truth table of n <= 4 inputs (2^2^n entries): fewest inputs, then
 * largest margin. Weights are the first `values` of the list; thresholds all. */
static void nc_fp4__singles(nc_fp4__single *best, uint32_t n, uint32_t values) {
    const uint32_t cases = 1u << n;
    uint32_t w[4] = {0, 0, 0, 0}, total = 1, c, i, at, t;
    memset(best, 0, ((size_t)1 << cases) * sizeof *best);
    for (i = 0; i < n; i++) total *= values;
    for (at = 0; at < total; at++) {
        int sum[16];
        uint32_t rest = at, inputs = 0;
        for (i = 0; i < n; i++, rest /= values) {
            w[i] = rest % values;
            inputs += w[i] != 0;
        }
        for (sum[0] = 0, c = 1; c < cases; c++) {
            for (i = 0; !(c >> i & 1); i++) {
            }
            sum[c] = sum[c & (c - 1)] + nc_fp4__twice[w[i]];
        }
        for (t = 0; t < 15; t++) {
            uint32_t truth = 0, margin = 255;
            nc_fp4__single *s;
            for (c = 0; c < cases; c++) {
                int d = sum[c] - nc_fp4__twice[t];
                truth |= (uint32_t)(d > 0) << c;
                d = d < 0 ? -d : d;
                margin = (uint32_t)d < margin ? (uint32_t)d : margin;
            }
            s = &best[truth];
            if (margin == 0 ||
                (s->margin && (s->inputs < inputs || (s->inputs == inputs && s->margin >= margin))))
                continue;
            for (i = 0; i < n; i++) s->weight[i] = (int8_t)w[i];
            s->threshold = (int8_t)t;
            s->margin = (uint8_t)margin;
            s->inputs = (uint8_t)inputs;
        }
    }
}

static void nc_fp4__unit_of(const nc_fp4__single *s, uint32_t n, nc_fp4_unit *unit) {
    uint32_t i;
    memset(unit, 0, sizeof *unit);
    for (i = 0; i < n; i++) {
        if (!s->weight[i]) continue;
        unit->input[unit->inputs] = i;
        unit->weight[unit->inputs++] = nc_fp4__code_of[s->weight[i]];
    }
    unit->threshold = nc_fp4__code_of[s->threshold];
}

/* How a function of three wires is made: one or two units; input 3 of the second is the first. */
typedef struct nc_fp4__form {
    uint8_t units; /* 0: not known yet */
    nc_fp4_unit unit[2];
} nc_fp4__form;

/* Forms of all 256 functions of three inputs that have none yet. one: 256 entries, two: 65,536. */
static void nc_fp4__complete_forms(nc_fp4__form *form, nc_fp4__single *one, nc_fp4__single *two) {
    uint8_t margin[256] = {0};
    uint32_t t, h;
    nc_fp4__singles(one, 3, 15);
    nc_fp4__singles(two, 4, 11); /* weights up to 3: they reach all 256 */
    for (t = 0; t < 256; t++)
        if (!form[t].units && one[t].margin) {
            form[t].units = 1;
            nc_fp4__unit_of(&one[t], 3, &form[t].unit[0]);
        }
    for (t = 0; t < 65536; t++) {
        if (!two[t].margin) continue;
        for (h = 0; h < 256; h++) {
            uint32_t f = (t & 255 & ~h) | (t >> 8 & h);
            if (!one[h].margin || form[f].units == 1 || (form[f].units == 2 && margin[f] == 0))
                continue; /* made already, by one unit or given */
            if (margin[f] >= two[t].margin) continue;
            margin[f] = two[t].margin;
            form[f].units = 2;
            nc_fp4__unit_of(&one[h], 3, &form[f].unit[0]);
            nc_fp4__unit_of(&two[t], 4, &form[f].unit[1]);
        }
    }
}

/* Two units for a function of four inputs: y reads the inputs with weights up to 2 and h. */
static int nc_fp4__two_units(uint32_t truth, const nc_fp4__single *one, nc_fp4_atom *atom) {
    uint16_t singles[2048]; /* 1,881 threshold functions at most, and not the constant 0 */
    uint32_t count = 0, n, h, at, c, i, k, t;
    for (h = 1; h < 65535 && count < 2048; h++)
        if (one[h].margin) singles[count++] = (uint16_t)h;
    for (at = 0; at < 6561; at++) { /* 9^4 weights */
        uint32_t w[4], rest = at;
        int sum[16];
        for (i = 0; i < 4; i++, rest /= 9) w[i] = rest % 9;
        for (sum[0] = 0, c = 1; c < 16; c++) {
            for (i = 0; !(c >> i & 1); i++) {
            }
            sum[c] = sum[c & (c - 1)] + nc_fp4__twice[w[i]];
        }
        for (n = 0; n < count; n++) {
            h = singles[n];
            for (k = 1; k < 13; k++) {
                int on = 99, off = -99;
                for (c = 0; c < 16 && off + 1 < on; c++) {
                    int s = sum[c] + (h >> c & 1 ? nc_fp4__twice[k] : 0);
                    if (truth >> c & 1)
                        on = s < on ? s : on;
                    else
                        off = s > off ? s : off;
                }
                if (c < 16 || off + 1 >= on) continue;
                for (t = 0; t < 15; t++) {
                    nc_fp4_unit *y = &atom->unit[1];
                    if (nc_fp4__twice[t] <= off || nc_fp4__twice[t] >= on) continue;
                    atom->units = 2;
                    nc_fp4__unit_of(&one[h], 4, &atom->unit[0]);
                    memset(y, 0, sizeof *y);
                    for (i = 0; i < 4; i++) {
                        if (!w[i]) continue;
                        y->input[y->inputs] = i;
                        y->weight[y->inputs++] = nc_fp4__code_of[w[i]];
                    }
                    y->input[y->inputs] = 4;
                    y->weight[y->inputs++] = nc_fp4__code_of[k];
                    y->threshold = nc_fp4__code_of[t];
                    return 1;
                }
            }
        }
    }
    return 0;
}

NC_API nc_status nc_fp4_synthesize(uint32_t truth, uint32_t inputs, nc_fp4_atom *atom) {
    const size_t one_bytes = 65536 * sizeof(nc_fp4__single);
    nc_fp4__single *one, *two = NULL;
    nc_fp4__form *form = NULL;
    nc_status status = NC_ERR_MEMORY;
    uint32_t i;
    if (!atom || inputs < 1 || inputs > 4 || (inputs < 4 && truth >> (1u << inputs)) || truth >> 16)
        return NC_ERR_ARG;
    memset(atom, 0, sizeof *atom);
    atom->name = "custom";
    atom->inputs = inputs;
    atom->truth = truth;
    one = (nc_fp4__single *)nc__alloc(NULL, one_bytes);
    two = (nc_fp4__single *)nc__alloc(NULL, one_bytes);
    form = (nc_fp4__form *)nc__calloc(NULL, 256 * sizeof *form);
    if (one && two && form) {
        status = NC_OK;
        if (inputs == 4) {
            nc_fp4__singles(one, 4, 15);
            if (one[truth].margin) {
                atom->units = 1;
                nc_fp4__unit_of(&one[truth], 4, &atom->unit[0]);
            } else if (!nc_fp4__two_units(truth, one, atom)) {
                status = NC_ERR_MISMATCH;
            }
        } else {
            for (i = inputs; i < 3; i++) truth |= truth << (1u << i); /* the rest do not matter */
            nc_fp4__complete_forms(form, one, two);
            atom->units = form[truth].units;
            memcpy(atom->unit, form[truth].unit, sizeof form[truth].unit);
            if (atom->units == 0) status = NC_ERR_MISMATCH;
            for (i = 0; i < atom->unit[1].inputs; i++)
                if (atom->unit[1].input[i] == 3) atom->unit[1].input[i] = inputs;
        }
    }
    nc__free(NULL, one, one_bytes);
    nc__free(NULL, two, one_bytes);
    nc__free(NULL, form, 256 * sizeof *form);
    return status;
}

NC__WARM_END

/* >>circuits ===================================================================== */

/* -- lists that grow --------------------------------------------------------------------------- */

/* Memory for `extra` more elements of `size` bytes, at least twice what there was, with the old
 * ones in it; null: there is none, and the old memory stays. */
static void *nc_fp4__grown(const nc_allocator *hooks, void *at, uint32_t count, uint32_t *room,
                           size_t extra, size_t size) {
    const size_t need = count + extra, twice = *room ? 2 * (size_t)*room : 16;
    const size_t larger = need > twice ? need : twice;
    void *fresh = larger > UINT32_MAX ? NULL : nc__alloc(hooks, nc__mul_size(larger, size));
    if (!fresh) return NULL;
    if (count) memcpy(fresh, at, count * size);
    nc__free(hooks, at, *room * size);
    *room = (uint32_t)larger;
    return fresh;
}

/* NAME_reserve makes room for so many more, after which NAME_add cannot fail; 0: out of memory, and
 * nothing has changed. */
#define NC_FP4__LIST(type, name)                                                                   \
    typedef struct name {                                                                          \
        type *at;                                                                                  \
        uint32_t count, room;                                                                      \
        const nc_allocator *hooks;                                                                 \
    } name;                                                                                        \
    static NC_UNUSED int name##_reserve(name *list, size_t extra) {                                \
        type *larger;                                                                              \
        if (extra <= list->room - list->count) return 1;                                           \
        larger = (type *)nc_fp4__grown(list->hooks, list->at, list->count, &list->room, extra,     \
                                       sizeof(type));                                              \
        if (larger) list->at = larger;                                                             \
        return larger != NULL;                                                                     \
    }                                                                                              \
    static NC_UNUSED NC__NOINLINE int name##_add(name *list, type value) {                         \
        if (!name##_reserve(list, 1)) return 0;                                                    \
        list->at[list->count++] = value;                                                           \
        return 1;                                                                                  \
    }                                                                                              \
    static NC_UNUSED void name##_free(name *list) {                                                \
        nc__free(list->hooks, list->at, list->room * sizeof(type));                                \
        list->at = NULL;                                                                           \
        list->count = list->room = 0;                                                              \
    }

/* -- wires ------------------------------------------------------------------------------------- */

/* Of four numbers, for nc__index. */
static uint32_t nc_fp4__hash(uint32_t a, uint32_t b, uint32_t c, uint32_t d) {
    uint64_t h = ((uint64_t)a << 32 | b) * UINT64_C(0x9E3779B97F4A7C15);
    h = (h ^ h >> 29) + ((uint64_t)c << 32 | d) * UINT64_C(0xBF58476D1CE4E5B9);
    return (uint32_t)((h ^ h >> 32) * UINT64_C(0x94D049BB133111EB) >> 32);
}

/* A function of up to three wires, or an input. Bit i of truth is its value for in[j] = bit j of i;
 * wires that do not count are 0, and truth does not depend on them. Nodes 0 and 1 are the
 * constants. All others but NOT give 0 for inputs 0, so a function and its complement share a node:
 * a NOT is met only before an output. */
typedef struct nc_fp4__node {
    uint32_t in[3];
    uint8_t truth, inputs; /* inputs 255: an input of the circuit, number in[0] */
} nc_fp4__node;

enum { NC_FP4__INPUT = 255, NC_FP4__MAX_WIRES = 1 << 24 };

typedef struct nc_fp4__group {
    char *name; /* of the list that holds the group, as its own memory */
    uint32_t first, width;
} nc_fp4__group;

NC_FP4__LIST(uint32_t, nc_fp4__numbers)
NC_FP4__LIST(nc_fp4__node, nc_fp4__nodes)
NC_FP4__LIST(nc_fp4__group, nc_fp4__groups)

struct nc_fp4_circuit {
    nc_allocator own;
    const nc_allocator *hooks; /* null, or `own` */
    char *name;
    nc_fp4__nodes nodes;
    nc_fp4__numbers inputs, outputs; /* wires */
    nc_fp4__groups input_groups, output_groups;
    nc__index known;    /* nodes */
    nc__index named[2]; /* groups of inputs, of outputs */
};

/* Truth tables of the three inputs themselves. */
static const uint8_t nc_fp4__variable[3] = {0xAA, 0xCC, 0xF0};

/* The table with input v fixed to a value. */
static uint8_t nc_fp4__cofactor(uint8_t truth, uint32_t v, int value) {
    uint32_t m = nc_fp4__variable[v], half = value ? truth & m : truth & ~m;
    return (uint8_t)(value ? half | half >> (1u << v) : half | half << (1u << v));
}

static int nc_fp4__depends_on(uint8_t truth, uint32_t v) {
    return nc_fp4__cofactor(truth, v, 0) != nc_fp4__cofactor(truth, v, 1);
}

/* The table that is `one` where input v is 1, else `zero` (Shannon's expansion). */
static uint8_t nc_fp4__select(uint32_t v, uint8_t one, uint8_t zero) {
    return (uint8_t)((one & nc_fp4__variable[v]) | (zero & ~nc_fp4__variable[v]));
}

/* The table with inputs u and u + 1 exchanged. */
static uint32_t nc_fp4__exchange(uint32_t truth, uint32_t u) {
    const uint32_t differ = u ? (truth ^ truth >> 2) & 0x0C : (truth ^ truth >> 1) & 0x22;
    return truth ^ (differ | differ << (1u << u));
}

/* The wire of a new node; UINT32_MAX: too many wires, no memory. */
static uint32_t nc_fp4__push_node(nc_fp4_circuit *c, const nc_fp4__node *node) {
    if (c->nodes.count >= NC_FP4__MAX_WIRES || !nc_fp4__nodes_add(&c->nodes, *node))
        return UINT32_MAX;
    return c->nodes.count - 1;
}

/* The wire of an existing or new node with this content. */
static uint32_t nc_fp4__share_node(nc_fp4_circuit *c, const nc_fp4__node *node) {
    uint32_t hash =
        nc_fp4__hash(node->in[0], node->in[1], node->in[2], node->truth | node->inputs * 256u);
    size_t at = hash;
    uint32_t id;
    while ((id = nc__index_next(&c->known, hash, &at)) != UINT32_MAX) {
        const nc_fp4__node *o = &c->nodes.at[id];
        if (o->truth == node->truth && o->inputs == node->inputs && o->in[0] == node->in[0] &&
            o->in[1] == node->in[1] && o->in[2] == node->in[2])
            return id;
    }
    id = nc_fp4__push_node(c, node);
    if (id == UINT32_MAX || nc__index_add(&c->known, hash, id)) return id;
    c->nodes.count--; /* a node that is not found again would be made twice */
    return UINT32_MAX;
}

static int nc_fp4__is_not(const nc_fp4__node *node) {
    return node->inputs == 1 && node->truth == 0x55;
}

/* Constants, complements and equal wires among the inputs of a function are worked into its table;
 * inputs that then do not count become wire 0. */
static uint8_t nc_fp4__simplify(const nc_fp4_circuit *c, uint32_t in[3], uint8_t truth) {
    uint32_t i, j;
    for (i = 0; i < 3; i++) {
        const nc_fp4__node *from = &c->nodes.at[in[i]];
        if (nc_fp4__is_not(from)) {
            truth = nc_fp4__select(i, nc_fp4__cofactor(truth, i, 0), nc_fp4__cofactor(truth, i, 1));
            in[i] = from->in[0];
        }
        if (in[i] <= NC_FP4_TRUE) truth = nc_fp4__cofactor(truth, i, in[i] == NC_FP4_TRUE);
    }
    for (i = 0; i < 2; i++)
        for (j = i + 1; j < 3; j++)
            if (in[i] == in[j])
                truth =
                    nc_fp4__select(i, nc_fp4__cofactor(truth, j, 1), nc_fp4__cofactor(truth, j, 0));
    for (i = 0; i < 3; i++)
        if (!nc_fp4__depends_on(truth, i)) in[i] = 0;
    return truth;
}

/* The wire of a function of three wires (some may be 0 and not count): simplified, wires sorted, so
 * that equal functions are found (structural hashing). UINT32_MAX: too many wires, no memory. */
static uint32_t nc_fp4__function(nc_fp4_circuit *c, const uint32_t in[3], uint8_t truth) {
    nc_fp4__node node;
    uint32_t i, j, n = 0, wire;
    int complement;
    memcpy(node.in, in, sizeof node.in);
    truth = nc_fp4__simplify(c, node.in, truth);
    for (i = 0; i < 2; i++) /* the larger wire first: 0 comes last */
        for (j = 0; j < 2 - i; j++)
            if (node.in[j] < node.in[j + 1]) {
                wire = node.in[j];
                node.in[j] = node.in[j + 1];
                node.in[j + 1] = wire;
                truth = (uint8_t)nc_fp4__exchange(truth, j);
            }
    while (n < 3 && node.in[n]) n++;
    if (n == 0) return truth & 1;
    complement = truth & 1;
    if (complement) truth = (uint8_t)~truth;
    node.truth = truth;
    node.inputs = (uint8_t)n;
    wire = n == 1 ? node.in[0] : nc_fp4__share_node(c, &node);
    if (wire == UINT32_MAX || !complement) return wire;
    node.in[0] = wire;
    node.in[1] = node.in[2] = 0;
    node.truth = 0x55;
    node.inputs = 1;
    return nc_fp4__share_node(c, &node);
}

/* -- names ------------------------------------------------------------------------------------- */

NC__COLD_BEGIN

/* A copy of n bytes with a NUL behind them; null: out of memory. */
static char *nc_fp4__copy_text(const nc_allocator *hooks, const char *from, size_t n) {
    char *to = (char *)nc__alloc(hooks, n + 1);
    if (!to) return NULL;
    memcpy(to, from, n);
    to[n] = 0;
    return to;
}

static void nc_fp4__free_text(const nc_allocator *hooks, char *text) {
    if (text) nc__free(hooks, text, strlen(text) + 1);
}

/* Groups with their names. */
static void nc_fp4__drop_groups(nc_fp4__groups *groups) {
    uint32_t i;
    for (i = 0; i < groups->count; i++) nc_fp4__free_text(groups->hooks, groups->at[i].name);
    nc_fp4__groups_free(groups);
}

/* Append a group with a copy of its name; 0: out of memory. */
static int nc_fp4__put_group(nc_fp4__groups *groups, const char *name, uint32_t first,
                             uint32_t width) {
    nc_fp4__group group;
    if (!nc_fp4__groups_reserve(groups, 1)) return 0;
    group.name = nc_fp4__copy_text(groups->hooks, name, strlen(name));
    group.first = first;
    group.width = width;
    return group.name && nc_fp4__groups_add(groups, group);
}

/* May names hold ch? Everything that can be seen, blanks, and UTF-8; what else a format cannot say
 * is replaced where that format is written. */
static int nc_fp4__name_char(char ch) { return (uint8_t)ch >= ' ' && ch != 127; }

/* A copy of a name in which all other characters are '_'; without one the fallback, with the number
 * behind it unless that is 0. Null: out of memory. */
static char *nc_fp4__new_name(const nc_allocator *hooks, const char *from, const char *fallback,
                              uint32_t number) {
    char standard[32], *to;
    size_t i;
    snprintf(standard, sizeof standard, number ? "%s%u" : "%s", fallback, (unsigned)number);
    if (!from || !*from) from = standard;
    to = nc_fp4__copy_text(hooks, from, strlen(from));
    for (i = 0; to && to[i]; i++)
        if (!nc_fp4__name_char(to[i])) to[i] = '_';
    return to;
}

/* The number to try behind a name that is taken: 2, 3 .. 8, then ones that no text can hold all
 * of. */
static uint32_t nc_fp4__next_suffix(uint32_t n, uint32_t number) {
    return n < 8 ? n + 1 : 2 * n + number;
}

/* Append a group with this name, or the fallback and its number; another group's of this side gets
 * a number behind it. 0 when out of memory. */
static int nc_fp4__new_group(nc_fp4_circuit *c, const char *name, uint32_t first, uint32_t width,
                             int output) {
    nc_fp4__groups *groups = output ? &c->output_groups : &c->input_groups;
    nc__index *named = &c->named[output];
    const uint32_t number = groups->count;
    char *base = nc_fp4__new_name(c->hooks, name, output ? "y" : "x", number);
    uint32_t hash, id, n = 1;
    nc__buffer to;
    size_t at;
    int done = 0;
    memset(&to, 0, sizeof to);
    to.hooks = c->hooks;
    while (base) {
        to.used = 0;
        nc__buffer_put(&to, base, strlen(base));
        if (n > 1) nc__buffer_print(&to, "_%u", (unsigned)n);
        if (to.status != NC_OK) break;
        at = hash = (uint32_t)nc__fnv1a(NC__FNV_START, to.data, to.used);
        while ((id = nc__index_next(named, hash, &at)) != UINT32_MAX)
            if (!strcmp(to.data, groups->at[id].name)) break;
        n = nc_fp4__next_suffix(n, number);
        if (id != UINT32_MAX) continue;
        if (!nc_fp4__put_group(groups, to.data, first, width)) break;
        done = nc__index_add(named, hash, number);
        if (!done) nc_fp4__free_text(c->hooks, groups->at[--groups->count].name);
        break; /* without memory too: no other name would get more of it */
    }
    nc_fp4__free_text(c->hooks, base);
    nc__buffer_free(&to);
    return done;
}

/* -- building ---------------------------------------------------------------------------------- */

NC_API nc_status nc_fp4_create(nc_fp4_circuit **circuit, const char *name,
                               const nc_allocator *hooks) {
    nc_fp4_circuit *c;
    nc_fp4__node constant;
    if (!circuit) return NC_ERR_ARG;
    *circuit = c = (nc_fp4_circuit *)nc__calloc(hooks, sizeof *c);
    if (!c) return NC_ERR_MEMORY;
    if (hooks) {
        c->own = *hooks;
        c->hooks = &c->own;
    }
    c->nodes.hooks = c->inputs.hooks = c->outputs.hooks = c->hooks;
    c->input_groups.hooks = c->output_groups.hooks = c->hooks;
    c->known.hooks = c->named[0].hooks = c->named[1].hooks = c->hooks;
    c->name = nc_fp4__new_name(c->hooks, name, "circuit", 0);
    memset(&constant, 0, sizeof constant);
    (void)nc_fp4__push_node(c, &constant);
    constant.truth = 0xFF;
    if (nc_fp4__push_node(c, &constant) == NC_FP4_TRUE && c->name) return NC_OK;
    nc_fp4_destroy(c);
    *circuit = NULL;
    return NC_ERR_MEMORY;
}

NC_API void nc_fp4_destroy(nc_fp4_circuit *circuit) {
    nc_allocator own;
    if (!circuit) return;
    nc_fp4__nodes_free(&circuit->nodes);
    nc_fp4__numbers_free(&circuit->inputs);
    nc_fp4__numbers_free(&circuit->outputs);
    nc_fp4__drop_groups(&circuit->input_groups);
    nc_fp4__drop_groups(&circuit->output_groups);
    nc__index_free(&circuit->known);
    nc__index_free(&circuit->named[0]);
    nc__index_free(&circuit->named[1]);
    nc_fp4__free_text(circuit->hooks, circuit->name);
    own = circuit->own; /* its members are null without hooks */
    nc__free(&own, circuit, sizeof *circuit);
}

NC_API nc_status nc_fp4_add_input(nc_fp4_circuit *circuit, const char *name, uint32_t width,
                                  uint32_t *wires) {
    nc_fp4__node node;
    uint32_t i, first;
    if (!circuit || !wires || width == 0) return NC_ERR_ARG;
    first = circuit->inputs.count;
    if (width >= NC_FP4__MAX_WIRES - circuit->nodes.count) return NC_ERR_LIMIT;
    if (!nc_fp4__nodes_reserve(&circuit->nodes, width) ||
        !nc_fp4__numbers_reserve(&circuit->inputs, width) ||
        !nc_fp4__new_group(circuit, name, first, width, 0))
        return NC_ERR_MEMORY;
    memset(&node, 0, sizeof node);
    node.inputs = NC_FP4__INPUT;
    for (i = 0; i < width; i++) {
        node.in[0] = first + i;
        wires[i] = nc_fp4__push_node(circuit, &node);
        (void)nc_fp4__numbers_add(&circuit->inputs, wires[i]);
    }
    return NC_OK;
}

static int nc_fp4__good_wires(const nc_fp4_circuit *c, const uint32_t *wires, size_t n) {
    size_t i;
    for (i = 0; i < n; i++)
        if (wires[i] >= c->nodes.count) return 0;
    return 1;
}

/* NC_OK, or why a function could not be added. */
static nc_status nc_fp4__added(const nc_fp4_circuit *c, uint32_t wire) {
    if (wire != UINT32_MAX) return NC_OK;
    return c->nodes.count >= NC_FP4__MAX_WIRES ? NC_ERR_LIMIT : NC_ERR_MEMORY;
}

NC_API nc_status nc_fp4_add_atom(nc_fp4_circuit *circuit, nc_fp4_atom_kind kind, const uint32_t *in,
                                 uint32_t *out) {
    const nc_fp4_atom *atom = nc_fp4_get_atom(kind);
    uint64_t truth;
    if (!circuit || !atom || !in || !out) return NC_ERR_ARG;
    truth = atom->truth;
    return nc_fp4_add_function(circuit, atom->inputs, in, &truth, out);
}

/* A table of n < 3 inputs as one of three that does not depend on the others. */
static uint8_t nc_fp4__widened(uint32_t truth, uint32_t n) {
    truth &= (1u << (1u << n)) - 1;
    for (; n < 3; n++) truth |= truth << (1u << n);
    return (uint8_t)truth;
}

/* The function of the first n wires whose table are 2^n bits of truth from `first` on. */
static uint32_t nc_fp4__expand(nc_fp4_circuit *c, uint32_t n, const uint32_t *in,
                               const uint64_t *truth, uint32_t first) {
    uint32_t mux[3] = {0, 0, 0}, i;
    if (n > 3) { /* the last wire chooses */
        mux[0] = nc_fp4__expand(c, n - 1, in, truth, first);
        if (mux[0] == UINT32_MAX) return UINT32_MAX;
        mux[1] = nc_fp4__expand(c, n - 1, in, truth, first + (1u << (n - 1)));
        mux[2] = in[n - 1];
        if (mux[1] == UINT32_MAX) return UINT32_MAX;
        return nc_fp4__function(c, mux, 0xCA);
    }
    for (i = 0; i < n; i++) mux[i] = in[i];
    return nc_fp4__function(c, mux,
                            nc_fp4__widened((uint32_t)(truth[first / 64] >> first % 64), n));
}

NC_API nc_status nc_fp4_add_function(nc_fp4_circuit *circuit, uint32_t inputs, const uint32_t *in,
                                     const uint64_t *truth, uint32_t *out) {
    if (!circuit || !truth || !out || inputs > 8 || (inputs && !in)) return NC_ERR_ARG;
    if (!nc_fp4__good_wires(circuit, in, inputs)) return NC_ERR_ARG;
    *out = nc_fp4__expand(circuit, inputs, in, truth, 0);
    return nc_fp4__added(circuit, *out);
}

NC_API nc_status nc_fp4_add_circuit(nc_fp4_circuit *circuit, const nc_fp4_circuit *part,
                                    const uint32_t *in, uint32_t *out) {
    uint32_t *wire, i, k, n, wires[3];
    nc_status status = NC_OK;
    if (!circuit || !part || circuit == part || !out || (!in && nc_fp4_input_count(part)))
        return NC_ERR_ARG;
    if (!nc_fp4__good_wires(circuit, in, nc_fp4_input_count(part))) return NC_ERR_ARG;
    n = part->nodes.count;
    wire = (uint32_t *)nc__alloc(circuit->hooks, n * sizeof *wire);
    if (!wire) return NC_ERR_MEMORY;
    for (i = 0; i < n && status == NC_OK; i++) {
        const nc_fp4__node *node = &part->nodes.at[i];
        if (node->inputs == NC_FP4__INPUT) {
            wire[i] = in ? in[node->in[0]] : 0;
            continue;
        }
        for (k = 0; k < 3; k++) wires[k] = k < node->inputs ? wire[node->in[k]] : 0;
        wire[i] = i <= NC_FP4_TRUE ? i : nc_fp4__function(circuit, wires, node->truth);
        status = nc_fp4__added(circuit, wire[i]);
    }
    for (i = 0; i < part->outputs.count && status == NC_OK; i++) out[i] = wire[part->outputs.at[i]];
    nc__free(circuit->hooks, wire, n * sizeof *wire);
    return status;
}

NC_API nc_status nc_fp4_add_output(nc_fp4_circuit *circuit, const char *name, uint32_t width,
                                   const uint32_t *wires) {
    uint32_t i;
    if (!circuit || !wires || width == 0 || !nc_fp4__good_wires(circuit, wires, width))
        return NC_ERR_ARG;
    if (width > NC_FP4__MAX_WIRES - circuit->outputs.count) return NC_ERR_LIMIT;
    if (!nc_fp4__numbers_reserve(&circuit->outputs, width) ||
        !nc_fp4__new_group(circuit, name, circuit->outputs.count, width, 1))
        return NC_ERR_MEMORY;
    for (i = 0; i < width; i++) (void)nc_fp4__numbers_add(&circuit->outputs, wires[i]);
    return NC_OK;
}

NC_API const char *nc_fp4_name(const nc_fp4_circuit *circuit) { return circuit->name; }

NC_API uint32_t nc_fp4_input_count(const nc_fp4_circuit *circuit) { return circuit->inputs.count; }

NC_API uint32_t nc_fp4_output_count(const nc_fp4_circuit *circuit) {
    return circuit->outputs.count;
}

NC_API uint32_t nc_fp4_function_count(const nc_fp4_circuit *circuit) {
    return circuit->nodes.count - 2 - circuit->inputs.count;
}

static int nc_fp4__bus_at(const nc_fp4__groups *groups, uint32_t i, nc_fp4_bus *bus) {
    if (i >= groups->count) return 0;
    bus->name = groups->at[i].name;
    bus->first = groups->at[i].first;
    bus->width = groups->at[i].width;
    return 1;
}

NC_API int nc_fp4_input_bus(const nc_fp4_circuit *circuit, uint32_t i, nc_fp4_bus *bus) {
    return nc_fp4__bus_at(&circuit->input_groups, i, bus);
}

NC_API int nc_fp4_output_bus(const nc_fp4_circuit *circuit, uint32_t i, nc_fp4_bus *bus) {
    return nc_fp4__bus_at(&circuit->output_groups, i, bus);
}

/* >>templates ==================================================================== */

/* A circuit being made: after an error nothing more is added. Wires of inputs a and b, results,
 * scratch. */
enum { NC_FP4__MAX_BITS = 4096 };
typedef struct nc_fp4__maker {
    nc_fp4_circuit *c;
    nc_status status;
    nc_fp4_template which;
    int variant;
    uint32_t *a, *b, *g, *p, *y; /* NC_FP4__MAX_BITS of each, of y three times as many */
} nc_fp4__maker;

static uint32_t nc_fp4__gate(nc_fp4__maker *m, nc_fp4_atom_kind kind, uint32_t a, uint32_t b,
                             uint32_t c) {
    uint32_t in[NC_FP4_UNIT_INPUTS] = {0}, out = 0;
    in[0] = a;
    in[1] = b;
    in[2] = c;
    if (m->status == NC_OK) m->status = nc_fp4_add_atom(m->c, kind, in, &out);
    return out;
}
static uint32_t nc_fp4__and(nc_fp4__maker *m, uint32_t a, uint32_t b) {
    return nc_fp4__gate(m, NC_FP4_AND, a, b, 0);
}
static uint32_t nc_fp4__or(nc_fp4__maker *m, uint32_t a, uint32_t b) {
    return nc_fp4__gate(m, NC_FP4_OR, a, b, 0);
}
static uint32_t nc_fp4__xor(nc_fp4__maker *m, uint32_t a, uint32_t b) {
    return nc_fp4__gate(m, NC_FP4_XOR, a, b, 0);
}
static uint32_t nc_fp4__not(nc_fp4__maker *m, uint32_t a) {
    return nc_fp4__gate(m, NC_FP4_NOT, a, 0, 0);
}
static uint32_t nc_fp4__mux(nc_fp4__maker *m, uint32_t s, uint32_t a, uint32_t b) {
    return nc_fp4__gate(m, NC_FP4_MUX, s, a, b);
}

/* sum = a + b + carry; returns the carry out. Wires one by one, ripple. */
static uint32_t nc_fp4__ripple(nc_fp4__maker *m, const uint32_t *a, const uint32_t *b, uint32_t n,
                               uint32_t carry, uint32_t *sum) {
    uint32_t i;
    for (i = 0; i < n; i++) {
        sum[i] = nc_fp4__gate(m, NC_FP4_SUM, a[i], b[i], carry);
        carry = nc_fp4__gate(m, NC_FP4_CARRY, a[i], b[i], carry);
    }
    return carry;
}

/* The same by parallel prefixes (Kogge and Stone, 1973): generate and propagate of ever longer runs
 * of bits. g and p are scratch of n. */
static uint32_t nc_fp4__prefix(nc_fp4__maker *m, const uint32_t *a, const uint32_t *b, uint32_t n,
                               uint32_t carry, uint32_t *sum, uint32_t *g, uint32_t *p) {
    uint32_t i, d;
    for (i = 0; i < n; i++) {
        g[i] = nc_fp4__and(m, a[i], b[i]);
        p[i] = nc_fp4__xor(m, a[i], b[i]);
        sum[i] = p[i];
    }
    for (d = 1; d < n; d *= 2)
        for (i = n; i-- > d;) {
            g[i] = nc_fp4__or(m, g[i], nc_fp4__and(m, p[i], g[i - d]));
            p[i] = nc_fp4__and(m, p[i], p[i - d]);
        }
    for (i = 0; i < n; i++) g[i] = nc_fp4__or(m, g[i], nc_fp4__and(m, p[i], carry));
    sum[0] = nc_fp4__xor(m, sum[0], carry);
    for (i = 1; i < n; i++) sum[i] = nc_fp4__xor(m, sum[i], g[i - 1]);
    return g[n - 1];
}

/* Logarithm, rounded up. */
static uint32_t nc_fp4__bits_for(uint32_t values) {
    uint32_t n = 0;
    while (n < 31 && 1u << n < values) n++;
    return n;
}

/* y = a + b + carry; returns the carry out. */
static uint32_t nc_fp4__sum(nc_fp4__maker *m, uint32_t n, uint32_t carry) {
    return m->variant ? nc_fp4__prefix(m, m->a, m->b, n, carry, m->y, m->g, m->p)
                      : nc_fp4__ripple(m, m->a, m->b, n, carry, m->y);
}

static void nc_fp4__input(nc_fp4__maker *m, const char *name, uint32_t width, uint32_t *wires) {
    if (m->status == NC_OK) m->status = nc_fp4_add_input(m->c, name, width, wires);
}
static void nc_fp4__output(nc_fp4__maker *m, const char *name, uint32_t width,
                           const uint32_t *wires) {
    if (m->status == NC_OK) m->status = nc_fp4_add_output(m->c, name, width, wires);
}

/* Adder, subtractor (a + ~b + 1) and both by a switch. */
static void nc_fp4__make_adder(nc_fp4__maker *m, uint32_t n) {
    uint32_t last = NC_FP4_TRUE, i, carry;
    nc_fp4__input(m, "a", n, m->a);
    nc_fp4__input(m, "b", n, m->b);
    if (m->which == NC_FP4_ADDER) nc_fp4__input(m, "cin", 1, &last);
    if (m->which == NC_FP4_ADD_SUB) nc_fp4__input(m, "sub", 1, &last);
    for (i = 0; i < n && m->which != NC_FP4_ADDER; i++) m->b[i] = nc_fp4__xor(m, m->b[i], last);
    carry = nc_fp4__sum(m, n, last);
    if (m->which == NC_FP4_SUBTRACTOR) carry = nc_fp4__not(m, carry);
    nc_fp4__output(m, m->which == NC_FP4_SUBTRACTOR ? "d" : "s", n, m->y);
    nc_fp4__output(m, m->which == NC_FP4_SUBTRACTOR ? "borrow" : "cout", 1, &carry);
}

/* x < y: the borrow of x - y, in majorities, of which a unit takes two. */
static uint32_t nc_fp4__less(nc_fp4__maker *m, const uint32_t *x, const uint32_t *y, uint32_t n) {
    uint32_t less = NC_FP4_FALSE, i;
    for (i = 0; i < n; i++) less = nc_fp4__gate(m, NC_FP4_CARRY, nc_fp4__not(m, x[i]), y[i], less);
    return less;
}

/* Neither is less, or (variant 1) the highest bit that differs decides. */
static void nc_fp4__make_comparator(nc_fp4__maker *m, uint32_t n) {
    uint32_t eq = NC_FP4_TRUE, lt = NC_FP4_FALSE, i;
    nc_fp4__input(m, "a", n, m->a);
    nc_fp4__input(m, "b", n, m->b);
    for (i = n; i-- > 0 && m->variant;) {
        const uint32_t below = nc_fp4__and(m, nc_fp4__not(m, m->a[i]), m->b[i]);
        lt = nc_fp4__or(m, lt, nc_fp4__and(m, eq, below));
        eq = nc_fp4__and(m, eq, nc_fp4__gate(m, NC_FP4_XNOR, m->a[i], m->b[i], 0));
    }
    if (!m->variant) {
        lt = nc_fp4__less(m, m->a, m->b, n);
        eq = nc_fp4__gate(m, NC_FP4_NOR, lt, nc_fp4__less(m, m->b, m->a, n), 0);
    }
    nc_fp4__output(m, "eq", 1, &eq);
    nc_fp4__output(m, "lt", 1, &lt);
}

/* Row by row: the partial products of b[j] are added to what is there from bit j on. */
static void nc_fp4__make_multiplier(nc_fp4__maker *m, uint32_t n) {
    uint32_t i, j;
    nc_fp4__input(m, "a", n, m->a);
    nc_fp4__input(m, "b", n, m->b);
    for (i = 0; i < 2 * n; i++) m->y[i] = NC_FP4_FALSE;
    for (j = 0; j < n; j++) {
        for (i = 0; i < n; i++) m->g[i] = nc_fp4__and(m, m->a[i], m->b[j]);
        memcpy(m->p, m->y + j, n * sizeof *m->p);
        m->y[j + n] = nc_fp4__ripple(m, m->p, m->g, n, NC_FP4_FALSE, m->y + j);
    }
    nc_fp4__output(m, "p", 2 * n, m->y);
}

/* Variant 1 is the chain of two-input sums that other tools draw; variant 0 a tree of sums of five,
 * each two sums of three, of which nc_fp4_compile makes three units. */
static void nc_fp4__make_parity(nc_fp4__maker *m, uint32_t n) {
    uint32_t i, k, made, left = n, p = NC_FP4_FALSE;
    nc_fp4__input(m, "x", n, m->a);
    for (i = 0; i < n && m->variant; i++) p = nc_fp4__xor(m, p, m->a[i]);
    for (memcpy(m->y, m->a, n * sizeof *m->y); !m->variant && left > 1; left = made)
        for (made = i = 0; i < left; i += 5) {
            p = m->y[i];
            for (k = i + 1; k < i + 5 && k < left; k += 2)
                p = nc_fp4__gate(m, NC_FP4_SUM, p, m->y[k],
                                 k + 1 < left ? m->y[k + 1] : NC_FP4_FALSE);
            m->y[made++] = p;
        }
    if (!m->variant) p = m->y[0];
    nc_fp4__output(m, "p", 1, &p);
}

/* Full adders take three wires of a weight and leave one, and one of the next weight. They are
 * chained, 33 wires to one, so that the carries of two that follow each other meet in one: then
 * nc_fp4_compile makes a counter of the three, of a unit each. Variant 1 counts up one input after
 * the other. */
enum { NC_FP4__CHAIN = 33 };
static void nc_fp4__make_popcount(nc_fp4__maker *m, uint32_t n) {
    const uint32_t bits = nc_fp4__bits_for(n + 1);
    uint32_t i, k, left = n;
    nc_fp4__input(m, "x", n, m->a);
    for (k = 0; k < bits; k++) m->y[k] = NC_FP4_FALSE;
    for (i = 0; i < n && m->variant; i++) {
        uint32_t carry = m->a[i];
        for (k = 0; k < bits; k++) {
            uint32_t next = nc_fp4__and(m, m->y[k], carry);
            m->y[k] = nc_fp4__xor(m, m->y[k], carry);
            carry = next;
        }
    }
    for (k = 0; k < bits && !m->variant; k++) {
        uint32_t carries = 0, at, made, past, sum;
        for (; left > 1; left = made) /* the wires of this weight are a[0 .. left - 1] */
            for (at = 0, made = 0; at < left; at = past, m->a[made++] = sum) {
                past = left - at < NC_FP4__CHAIN ? left : at + NC_FP4__CHAIN;
                sum = (past - at) % 2 ? m->a[at++] : NC_FP4_FALSE;
                for (; at < past; at += 2) {
                    const uint32_t x = m->a[at], y = m->a[at + 1];
                    m->g[carries++] = nc_fp4__gate(m, NC_FP4_CARRY, x, y, sum);
                    sum = nc_fp4__gate(m, NC_FP4_SUM, x, y, sum);
                }
            }
        m->y[k] = left ? m->a[0] : NC_FP4_FALSE;
        memcpy(m->a, m->g, carries * sizeof *m->a);
        left = carries;
    }
    nc_fp4__output(m, "n", bits, m->y);
}

static void nc_fp4__make_mux_tree(nc_fp4__maker *m, uint32_t n) {
    uint32_t i, k, left = 1u << n;
    nc_fp4__input(m, "s", n, m->b);
    nc_fp4__input(m, "x", left, m->a);
    for (k = 0; k < n; k++)
        for (left /= 2, i = 0; i < left; i++)
            m->a[i] = nc_fp4__mux(m, m->b[k], m->a[2 * i], m->a[2 * i + 1]);
    nc_fp4__output(m, "y", 1, m->a);
}

static void nc_fp4__make_decoder(nc_fp4__maker *m, uint32_t n) {
    uint32_t i, k, made = 1;
    nc_fp4__input(m, "s", n, m->b);
    m->y[0] = NC_FP4_TRUE;
    for (k = 0; k < n; k++, made *= 2)
        for (i = 0; i < made; i++) {
            m->y[made + i] = nc_fp4__and(m, m->y[i], m->b[k]);
            m->y[i] = nc_fp4__and(m, m->y[i], nc_fp4__not(m, m->b[k]));
        }
    nc_fp4__output(m, "y", made, m->y);
}

static void nc_fp4__make_priority(nc_fp4__maker *m, uint32_t n) {
    const uint32_t bits = n > 1 ? nc_fp4__bits_for(n) : 1;
    uint32_t i, k, valid = NC_FP4_FALSE;
    nc_fp4__input(m, "x", n, m->a);
    for (k = 0; k < bits; k++) m->y[k] = NC_FP4_FALSE;
    for (i = 0; i < n; i++) { /* a higher one replaces the index */
        for (k = 0; k < bits; k++)
            m->y[k] = nc_fp4__mux(m, m->a[i], m->y[k], i >> k & 1 ? NC_FP4_TRUE : NC_FP4_FALSE);
        valid = nc_fp4__or(m, valid, m->a[i]);
    }
    nc_fp4__output(m, "index", bits, m->y);
    nc_fp4__output(m, "valid", 1, &valid);
}

/* op: 0 add, 1 sub, 2 and, 3 or, 4 xor, 5 slt (1 where a < b, signed); 6 and 7 give 0. */
static void nc_fp4__make_alu(nc_fp4__maker *m, uint32_t n) {
    uint32_t op[3] = {0, 0, 0}, minus, i, slt;
    nc_fp4__input(m, "a", n, m->a);
    nc_fp4__input(m, "b", n, m->b);
    nc_fp4__input(m, "op", 3, op);
    minus = op[0]; /* of 1 and 5, where it matters */
    memcpy(m->y + 2 * n, m->b, n * sizeof *m->y);
    for (i = 0; i < n; i++) m->b[i] = nc_fp4__xor(m, m->b[i], minus);
    (void)nc_fp4__sum(m, n, minus);
    /* signed less: signs differ and a is negative, or the difference is negative */
    slt = nc_fp4__mux(m, nc_fp4__xor(m, m->a[n - 1], m->y[3 * n - 1]), m->y[n - 1], m->a[n - 1]);
    for (i = 0; i < n; i++) {
        uint32_t a = m->a[i], b = m->y[2 * n + i], low, high; /* one gate after the other, so */
        low = nc_fp4__and(m, a, b);                           /* that wires are numbered alike */
        high = nc_fp4__or(m, a, b);
        low = nc_fp4__mux(m, op[0], low, high);
        low = nc_fp4__mux(m, op[1], m->y[i], low);
        high = nc_fp4__mux(m, op[0], nc_fp4__xor(m, a, b), i ? NC_FP4_FALSE : slt);
        high = nc_fp4__and(m, high, nc_fp4__not(m, op[1]));
        m->y[n + i] = nc_fp4__mux(m, op[2], low, high);
    }
    nc_fp4__output(m, "y", n, m->y + n);
}

/* Stages that move by 1, 2, 4 ..; a right shift is a left shift of the mirror image. */
static void nc_fp4__make_shifter(nc_fp4__maker *m, uint32_t n) {
    const uint32_t bits = nc_fp4__bits_for(n);
    uint32_t right = 0, i, k;
    nc_fp4__input(m, "x", n, m->a);
    nc_fp4__input(m, "n", bits, m->b);
    nc_fp4__input(m, "right", 1, &right);
    for (i = 0; i < n; i++) m->y[i] = nc_fp4__mux(m, right, m->a[i], m->a[n - 1 - i]);
    for (k = 0; k < bits; k++)
        for (i = n; i-- > 0;)
            m->y[i] =
                nc_fp4__mux(m, m->b[k], m->y[i], i >= 1u << k ? m->y[i - (1u << k)] : NC_FP4_FALSE);
    for (i = 0; i < n; i++) m->a[i] = nc_fp4__mux(m, right, m->y[i], m->y[n - 1 - i]);
    nc_fp4__output(m, "y", n, m->a);
}

/* The templates, in the order of nc_fp4_template. `most` bits; powers: of two only. */
static const struct {
    char name[20];
    uint32_t most;
    int powers;
    void (*make)(nc_fp4__maker *m, uint32_t n);
} nc_fp4__templates[] = {{"adder", NC_FP4__MAX_BITS, 0, nc_fp4__make_adder},
                         {"subtractor", NC_FP4__MAX_BITS, 0, nc_fp4__make_adder},
                         {"add-sub", NC_FP4__MAX_BITS, 0, nc_fp4__make_adder},
                         {"comparator", NC_FP4__MAX_BITS, 0, nc_fp4__make_comparator},
                         {"multiplier", 512, 0, nc_fp4__make_multiplier},
                         {"parity", NC_FP4__MAX_BITS, 0, nc_fp4__make_parity},
                         {"popcount", NC_FP4__MAX_BITS, 0, nc_fp4__make_popcount},
                         {"mux", 12, 0, nc_fp4__make_mux_tree},
                         {"decoder", 12, 0, nc_fp4__make_decoder},
                         {"priority-encoder", NC_FP4__MAX_BITS, 0, nc_fp4__make_priority},
                         {"alu", NC_FP4__MAX_BITS, 0, nc_fp4__make_alu},
                         {"shifter", NC_FP4__MAX_BITS, 1, nc_fp4__make_shifter}};
typedef char nc_fp4__every_template_has_a_row
    [sizeof nc_fp4__templates / sizeof *nc_fp4__templates == NC_FP4_TEMPLATE_COUNT ? 1 : -1];

NC_API nc_status nc_fp4_make(nc_fp4_circuit **circuit, nc_fp4_template which, uint32_t bits,
                             int variant, const nc_allocator *hooks) {
    const size_t bytes = 7 * NC_FP4__MAX_BITS * sizeof(uint32_t);
    nc_fp4__maker m;
    if (!circuit) return NC_ERR_ARG;
    *circuit = NULL;
    if ((unsigned)which >= NC_FP4_TEMPLATE_COUNT || bits == 0 ||
        bits > nc_fp4__templates[which].most ||
        (nc_fp4__templates[which].powers && (bits < 2 || bits & (bits - 1))))
        return NC_ERR_ARG;
    memset(&m, 0, sizeof m);
    m.which = which;
    m.variant = variant;
    m.a = (uint32_t *)nc__calloc(hooks, bytes);
    if (!m.a) return NC_ERR_MEMORY;
    m.b = m.a + NC_FP4__MAX_BITS;
    m.g = m.b + NC_FP4__MAX_BITS;
    m.p = m.g + NC_FP4__MAX_BITS;
    m.y = m.p + NC_FP4__MAX_BITS;
    m.status = nc_fp4_create(&m.c, nc_fp4__templates[which].name, hooks);
    if (m.status == NC_OK) nc_fp4__templates[which].make(&m, bits);
    nc__free(hooks, m.a, bytes);
    if (m.status == NC_OK)
        *circuit = m.c;
    else
        nc_fp4_destroy(m.c);
    return m.status;
}

NC_API const char *nc_fp4_template_name(nc_fp4_template which) {
    return (unsigned)which < NC_FP4_TEMPLATE_COUNT ? nc_fp4__templates[which].name : NULL;
}

/* >>netlists ===================================================================== */

/* -- netlists: what BLIF and JSON come to ------------------------------------------------------ */

enum { NC_FP4__MAX_INPUTS = 1 << 20, NC_FP4__MAX_DEPTH = 32 };

/* Outputs = function of inputs: nets[first ..] of the model, the outputs after the inputs. */
typedef struct nc_fp4__statement {
    size_t line, column;
    uint32_t first, inputs, outputs;
    uint32_t model;     /* of an instance: index + 1; 0: a table or cover */
    uint32_t row, rows; /* of a cover: rows of `inputs` characters and the output's */
    uint64_t truth[4];  /* of a table: rows is UINT32_MAX */
    char *model_name;   /* of an instance, until it is resolved */
    uint32_t names;     /* of an instance: first of its formal names */
    int gate;           /* an instance of the library's, not of the text's models */
} nc_fp4__statement;

/* A register: what it shows in the next clock cycle, and before the first one. */
typedef struct nc_fp4__latch {
    uint32_t next, shows; /* nets */
    uint32_t start;       /* 0, 1, or 2: unknown */
    size_t line;
} nc_fp4__latch;

NC_FP4__LIST(char *, nc_fp4__strings)
NC_FP4__LIST(nc_fp4__statement, nc_fp4__statements)
NC_FP4__LIST(nc_fp4__latch, nc_fp4__latches)

typedef struct nc_fp4__model {
    char *name;
    nc__index known;                 /* nets, by name */
    nc_fp4__strings net_names;       /* in the netlist's memory */
    nc_fp4__numbers driver;          /* of each net, statement + 1 */
    nc_fp4__numbers line;            /* of each net, where it is named first */
    nc_fp4__numbers port;            /* of each net, its place + 1 among inputs and then outputs */
    nc_fp4__numbers inputs, outputs; /* nets */
    nc_fp4__numbers nets;            /* of statements */
    nc_fp4__strings formals;
    nc__buffer covers;
    nc_fp4__statements statements;
    nc_fp4__latches latches;
    size_t begins; /* line */
    int library;   /* a gate of the library */
    int empty;     /* a black box */
} nc_fp4__model;
NC_FP4__LIST(nc_fp4__model, nc_fp4__models)

typedef struct nc_fp4__netlist {
    nc__text t; /* what is read, and the first failure, of reading and of all that follows */
    nc_fp4__models models;
    nc__index named;         /* models, by name */
    nc_fp4__strings strings; /* all names, owned */
    uint32_t elaborated;     /* statements, in all instances */
    uint32_t line;           /* where nets are named that are looked up; 0: where t is */
    nc_fp4_read_options options;
} nc_fp4__netlist;

static void nc_fp4__netlist_free(nc_fp4__netlist *l) {
    size_t i;
    for (i = 0; i < l->models.count; i++) {
        nc_fp4__model *m = &l->models.at[i];
        nc__index_free(&m->known);
        nc_fp4__strings_free(&m->net_names);
        nc_fp4__numbers_free(&m->driver);
        nc_fp4__numbers_free(&m->line);
        nc_fp4__numbers_free(&m->port);
        nc_fp4__numbers_free(&m->inputs);
        nc_fp4__numbers_free(&m->outputs);
        nc_fp4__numbers_free(&m->nets);
        nc_fp4__strings_free(&m->formals);
        nc__buffer_free(&m->covers);
        nc_fp4__statements_free(&m->statements);
        nc_fp4__latches_free(&m->latches);
    }
    nc_fp4__models_free(&l->models);
    nc__index_free(&l->named);
    for (i = 0; i < l->strings.count; i++) nc__free(NULL, l->strings.at[i], 0);
    nc_fp4__strings_free(&l->strings);
}

/* As nc__text_fail, at a place that the text has left behind. */
#if defined(__GNUC__)
__attribute__((format(printf, 5, 6)))
#endif
static nc_status
nc_fp4__fail_at(nc__text *t, nc_status status, size_t line, size_t column, const char *format,
                ...) {
    va_list args;
    va_start(args, format);
    status = nc__text_fail_at(t, status, line, column, format, args);
    va_end(args);
    return status;
}

static nc_status nc_fp4__no_memory(nc__text *t) {
    return nc_fp4__fail_at(t, NC_ERR_MEMORY, 0, 0, "out of memory");
}

/* Append a net or a wire. */
static void nc_fp4__keep(nc__text *t, nc_fp4__numbers *list, uint32_t value) {
    if (!nc_fp4__numbers_add(list, value)) (void)nc_fp4__no_memory(t);
}

/* A copy of n characters, owned by the netlist; null after a failure. */
static char *nc_fp4__string(nc_fp4__netlist *l, const char *text, size_t n) {
    char *copy = (char *)nc__alloc(NULL, n + 1);
    if (!copy || !nc_fp4__strings_add(&l->strings, copy)) {
        nc__free(NULL, copy, 0);
        (void)nc_fp4__no_memory(&l->t);
        return NULL;
    }
    memcpy(copy, text, n);
    copy[n] = 0;
    return copy;
}

/* The model of a name, of the text or of the library; UINT32_MAX: there is none. */
static uint32_t nc_fp4__find_model(const nc_fp4__netlist *l, const char *name, int library) {
    const uint32_t hash = (uint32_t)nc__fnv1a(NC__FNV_START, name, strlen(name));
    uint32_t id;
    size_t at = hash;
    while ((id = nc__index_next(&l->named, hash, &at)) != UINT32_MAX)
        if (l->models.at[id].library == library && !strcmp(l->models.at[id].name, name)) break;
    return id;
}

/* A model of a new name. Null after a failure. */
static nc_fp4__model *nc_fp4__new_model(nc_fp4__netlist *l, char *name, int library, size_t line) {
    nc_fp4__model m;
    memset(&m, 0, sizeof m);
    m.name = name;
    m.library = library;
    m.begins = line;
    if (!name) return NULL;
    if (nc_fp4__find_model(l, name, library) != UINT32_MAX) {
        (void)nc_fp4__fail_at(&l->t, NC_ERR_FORMAT, line, 1, "two models '%.64s'", name);
        return NULL;
    }
    if (!nc_fp4__models_add(&l->models, m) ||
        !nc__index_add(&l->named, (uint32_t)nc__fnv1a(NC__FNV_START, name, strlen(name)),
                       l->models.count - 1)) {
        (void)nc_fp4__no_memory(&l->t);
        return NULL;
    }
    return &l->models.at[l->models.count - 1];
}

/* Null after a failure. */
static nc_fp4__statement *nc_fp4__new_statement(nc_fp4__netlist *l, nc_fp4__model *m, size_t line,
                                                size_t column) {
    nc_fp4__statement s;
    memset(&s, 0, sizeof s);
    s.line = line;
    s.column = column;
    s.first = m->nets.count;
    if (nc_fp4__statements_add(&m->statements, s))
        return &m->statements.at[m->statements.count - 1];
    (void)nc_fp4__no_memory(&l->t);
    return NULL;
}

/* A net that has no driver yet. */
static uint32_t nc_fp4__new_net(nc_fp4__netlist *l, nc_fp4__model *m, char *name) {
    if (!nc_fp4__strings_reserve(&m->net_names, 1) || !nc_fp4__numbers_reserve(&m->driver, 1) ||
        !nc_fp4__numbers_reserve(&m->line, 1)) {
        (void)nc_fp4__no_memory(&l->t);
        return 0;
    }
    (void)nc_fp4__strings_add(&m->net_names, name);
    (void)nc_fp4__numbers_add(&m->driver, 0);
    (void)nc_fp4__numbers_add(&m->line, l->line ? l->line : (uint32_t)l->t.line);
    return m->net_names.count - 1;
}

/* The number of a net of this name; UINT32_MAX: there is none. */
static uint32_t nc_fp4__find_net(const nc_fp4__model *m, const char *text, size_t n) {
    const uint32_t hash = (uint32_t)nc__fnv1a(NC__FNV_START, text, n);
    uint32_t id;
    size_t at = hash;
    while ((id = nc__index_next(&m->known, hash, &at)) != UINT32_MAX)
        if (!strncmp(m->net_names.at[id], text, n) && !m->net_names.at[id][n]) break;
    return id;
}

/* The number of a net, new or old. */
static uint32_t nc_fp4__net_of(nc_fp4__netlist *l, nc_fp4__model *m, const char *text, size_t n) {
    uint32_t id = nc_fp4__find_net(m, text, n);
    char *name;
    if (id != UINT32_MAX) return id;
    name = nc_fp4__string(l, text, n);
    if (!name) return 0;
    id = nc_fp4__new_net(l, m, name);
    if (l->t.status == NC_OK &&
        !nc__index_add(&m->known, (uint32_t)nc__fnv1a(NC__FNV_START, text, n), id))
        (void)nc_fp4__no_memory(&l->t);
    return id;
}

/* Make a statement drive a net. */
static void nc_fp4__drive(nc_fp4__netlist *l, nc_fp4__model *m, uint32_t net, uint32_t statement,
                          size_t line, size_t column) {
    if (l->t.status != NC_OK) return;
    if (m->driver.at[net])
        (void)nc_fp4__fail_at(&l->t, NC_ERR_FORMAT, line, column, "'%.64s' is driven twice",
                              m->net_names.at[net]);
    m->driver.at[net] = statement + 1;
}

/* A statement that makes a net a function of at most six others; where it stands. */
static void nc_fp4__put_table(nc_fp4__netlist *l, nc_fp4__model *m, uint32_t truth, uint32_t inputs,
                              const uint32_t *in, uint32_t out, size_t line) {
    nc_fp4__statement *s;
    uint32_t i;
    if (l->t.status != NC_OK) return;
    s = nc_fp4__new_statement(l, m, line, 1);
    if (!s) return;
    s->inputs = inputs;
    s->outputs = 1;
    s->rows = UINT32_MAX;
    s->truth[0] = truth;
    for (i = 0; i < inputs; i++) nc_fp4__keep(&l->t, &m->nets, in[i]);
    nc_fp4__keep(&l->t, &m->nets, out);
    nc_fp4__drive(l, m, out, m->statements.count - 1, line, 1);
}

/* The same with a new net that has no name of its own. */
static uint32_t nc_fp4__table_of(nc_fp4__netlist *l, nc_fp4__model *m, uint32_t truth,
                                 uint32_t inputs, const uint32_t *in) {
    static char unnamed[] = "(expression)";
    const uint32_t out = nc_fp4__new_net(l, m, unnamed);
    nc_fp4__put_table(l, m, truth, inputs, in, out, l->line ? l->line : l->t.line);
    return out;
}

static uint32_t nc_fp4__table_net(nc_fp4__netlist *l, nc_fp4__model *m, uint32_t truth,
                                  uint32_t inputs, uint32_t a, uint32_t b) {
    uint32_t in[2];
    in[0] = a;
    in[1] = b;
    return nc_fp4__table_of(l, m, truth, inputs, in);
}

/* A cover of any width: an or of ands. */
static uint32_t nc_fp4__cover(nc_fp4_circuit *c, const nc_fp4__statement *s, const char *rows,
                              const uint32_t *in) {
    uint32_t any = NC_FP4_FALSE, i, k, pair[3] = {0, 0, 0};
    int off = s->rows && rows[s->inputs] == '0';
    for (i = 0; i < s->rows; i++) {
        const char *row = rows + i * (size_t)(s->inputs + 1);
        uint32_t all = NC_FP4_TRUE;
        for (k = 0; k < s->inputs; k++) {
            if (row[k] == '-') continue;
            pair[0] = all;
            pair[1] = in[k];
            all = nc_fp4__function(c, pair, row[k] == '1' ? 0x88 : 0x22);
            if (all == UINT32_MAX) return all;
        }
        pair[0] = any;
        pair[1] = all;
        any = nc_fp4__function(c, pair, 0xEE);
        if (any == UINT32_MAX) return any;
    }
    pair[0] = any;
    pair[1] = 0;
    return off ? nc_fp4__function(c, pair, 0x55) : any;
}

static nc_status nc_fp4__instance(nc_fp4__netlist *l, uint32_t model, nc_fp4_circuit *c,
                                  const uint32_t *in, uint32_t *out, int depth);

/* Wires of a statement's outputs; those of its inputs are known. */
static nc_status nc_fp4__elaborate(nc_fp4__netlist *l, const nc_fp4__model *m, nc_fp4_circuit *c,
                                   const nc_fp4__statement *s, uint32_t *wire, int depth) {
    const uint32_t *nets = m->nets.at + s->first, most = 16;
    uint32_t few[16], i, *in = few, *out;
    nc_status status = NC_OK;
    if (s->inputs + s->outputs > most)
        in = (uint32_t *)nc__alloc(NULL, (s->inputs + (size_t)s->outputs) * sizeof *in);
    if (!in) return nc_fp4__no_memory(&l->t);
    out = in + s->inputs;
    for (i = 0; i < s->inputs; i++) in[i] = wire[nets[i]];
    for (i = 0; i < s->outputs; i++) out[i] = 0;
    if (++l->elaborated > NC_FP4__MAX_WIRES)
        status = NC_ERR_LIMIT;
    else if (s->model)
        status = nc_fp4__instance(l, s->model - 1, c, in, out, depth + 1);
    else if (s->rows == UINT32_MAX)
        status = nc_fp4_add_function(c, s->inputs, in, s->truth, out);
    else
        status = nc_fp4__added(c, *out = nc_fp4__cover(c, s, m->covers.data + s->row, in));
    for (i = 0; i < s->outputs; i++) wire[nets[s->inputs + i]] = out[i];
    if (in != few) nc__free(NULL, in, 0);
    if (status != NC_OK)
        (void)nc_fp4__fail_at(&l->t, status, s->line, s->column, "%s",
                              status == NC_ERR_LIMIT ? "too many wires" : "out of memory");
    return l->t.status;
}

/* Wires of everything that the nets of `todo` depend on, without recursion but into models: a net
 * is pushed again under what it waits for. state: 1 waits for its inputs, 2 known. */
static void nc_fp4__walk(nc_fp4__netlist *l, const nc_fp4__model *m, nc_fp4_circuit *c,
                         nc_fp4__numbers *todo, uint8_t *state, uint32_t *wire, int depth) {
    while (l->t.status == NC_OK && todo->count) {
        const uint32_t net = todo->at[todo->count - 1];
        const nc_fp4__statement *s;
        uint32_t k;
        if (state[net] == 2) {
            todo->count--;
            continue;
        }
        if (!m->driver.at[net]) {
            if (!l->options.undriven)
                (void)nc_fp4__fail_at(&l->t, NC_ERR_FORMAT, m->line.at[net], 1,
                                      "nothing drives '%.64s' in '%.40s'", m->net_names.at[net],
                                      m->name);
            wire[net] = NC_FP4_FALSE;
            state[net] = 2;
            continue;
        }
        s = &m->statements.at[m->driver.at[net] - 1];
        if (state[net] == 1) {
            if (nc_fp4__elaborate(l, m, c, s, wire, depth) != NC_OK) return;
            for (k = 0; k < s->outputs; k++) state[m->nets.at[s->first + s->inputs + k]] = 2;
            continue;
        }
        state[net] = 1;
        for (k = 0; k < s->inputs; k++) {
            const uint32_t from = m->nets.at[s->first + k];
            if (state[from] == 1)
                (void)nc_fp4__fail_at(&l->t, NC_ERR_FORMAT, s->line, s->column,
                                      "'%.64s' depends on itself", m->net_names.at[from]);
            if (state[from] == 0) nc_fp4__keep(&l->t, todo, from);
        }
    }
}

/* One model with given inputs, and in `held` what its latches show, which becomes what they show in
 * the next cycle: a walk down from what is wanted. */
static nc_status nc_fp4__cycle(nc_fp4__netlist *l, uint32_t model, nc_fp4_circuit *c,
                               const uint32_t *in, uint32_t *out, uint32_t *held, int depth) {
    const nc_fp4__model *m = &l->models.at[model];
    const size_t nets = m->net_names.count, bytes = (nets + 1) * sizeof(uint32_t);
    nc_fp4__numbers todo = {NULL, 0, 0, NULL};
    uint32_t *wire, i;
    uint8_t *state;
    l->elaborated += (uint32_t)(nets / 64); /* clearing them is work too */
    wire = (uint32_t *)nc__calloc(NULL, bytes);
    state = (uint8_t *)nc__calloc(NULL, nets + 1);
    if (wire && state) {
        for (i = 0; i < m->inputs.count; i++) {
            wire[m->inputs.at[i]] = in[i];
            state[m->inputs.at[i]] = 2;
        }
        for (i = 0; held && i < m->latches.count; i++) {
            wire[m->latches.at[i].shows] = held[i];
            state[m->latches.at[i].shows] = 2;
        }
        for (i = 0; i < m->outputs.count; i++) nc_fp4__keep(&l->t, &todo, m->outputs.at[i]);
        for (i = 0; held && i < m->latches.count; i++)
            nc_fp4__keep(&l->t, &todo, m->latches.at[i].next);
        nc_fp4__walk(l, m, c, &todo, state, wire, depth);
        for (i = 0; i < m->outputs.count; i++) out[i] = wire[m->outputs.at[i]];
        for (i = 0; held && i < m->latches.count; i++) held[i] = wire[m->latches.at[i].next];
    } else {
        (void)nc_fp4__no_memory(&l->t);
    }
    nc_fp4__numbers_free(&todo);
    nc__free(NULL, wire, bytes);
    nc__free(NULL, state, nets + 1);
    return l->t.status;
}

static nc_status nc_fp4__instance(nc_fp4__netlist *l, uint32_t model, nc_fp4_circuit *c,
                                  const uint32_t *in, uint32_t *out, int depth) {
    const nc_fp4__model *m = &l->models.at[model];
    if (depth >= NC_FP4__MAX_DEPTH)
        return nc_fp4__fail_at(&l->t, NC_ERR_LIMIT, m->begins, 1,
                               "models nested more than %d deep, or '%.40s' contains itself",
                               NC_FP4__MAX_DEPTH, m->name);
    if (m->empty)
        return nc_fp4__fail_at(&l->t, NC_ERR_UNSUPPORTED, m->begins, 1,
                               "'%.40s' is a black box: give the model itself", m->name);
    if (depth && m->latches.count)
        return nc_fp4__fail_at(&l->t, NC_ERR_UNSUPPORTED, m->latches.at->line, 1,
                               "a latch in the instance of a model: flatten the netlist");
    return nc_fp4__cycle(l, model, c, in, out, NULL, depth);
}

/* "x[3]" -> length of "x" and 3; the whole length and 0 when it has no index. */
static size_t nc_fp4__split_name(const char *name, uint32_t *index) {
    size_t n = strlen(name), at;
    uint32_t value = 0, scale = 1;
    *index = 0;
    if (n < 4 || name[n - 1] != ']') return n;
    for (at = n - 1; at > 0 && nc__is_digit(name[at - 1]) && n - at < 8; at--) {
        value += (uint32_t)(name[at - 1] - '0') * scale;
        scale *= 10;
    }
    if (at < 2 || name[at - 1] != '[' || scale == 1) return n;
    *index = value;
    return at - 1;
}

/* Nets from `first` on that make one group: bits 0, 1 .. of one name, or the net alone. Returns how
 * many; the group's name is the first *length characters of the first net's. */
static uint32_t nc_fp4__run_of_bits(const nc_fp4__model *m, const nc_fp4__numbers *nets,
                                    uint32_t first, size_t *length) {
    const char *whole = m->net_names.at[nets->at[first]];
    uint32_t index, n = 1;
    const size_t base = nc_fp4__split_name(whole, &index);
    while (whole[base] && (n > 1 || index == 0) && first + n < nets->count) {
        const char *next = m->net_names.at[nets->at[first + n]];
        if (nc_fp4__split_name(next, &index) != base || !next[base] || index != n ||
            strncmp(next, whole, base) != 0)
            break;
        n++;
    }
    *length = n > 1 ? base : strlen(whole);
    return n;
}

/* Inputs or outputs, in groups. The names are the netlist's own and come back as they were. */
static nc_status nc_fp4__ports(nc_fp4_circuit *c, const nc_fp4__model *m,
                               const nc_fp4__numbers *nets, uint32_t *wires, int output) {
    nc_status status = NC_OK;
    uint32_t i, n;
    for (i = 0; i < nets->count && status == NC_OK; i += n) {
        size_t length;
        char *name = m->net_names.at[nets->at[i]], kept;
        n = nc_fp4__run_of_bits(m, nets, i, &length);
        kept = name[length];
        name[length] = 0;
        status = output ? nc_fp4_add_output(c, name, n, wires + i)
                        : nc_fp4_add_input(c, name, n, wires + i);
        name[length] = kept;
    }
    return status;
}

/* A port in a clock cycle: its name, an underscore and the number in two digits, as ABC names
 * it. */
static nc_status nc_fp4__cycle_port(nc_fp4_circuit *c, const char *name, uint32_t cycle,
                                    uint32_t *wire, int output) {
    nc__buffer full;
    nc_status status;
    memset(&full, 0, sizeof full);
    nc__buffer_put(&full, name, strlen(name));
    nc__buffer_print(&full, "_%02u", (unsigned)cycle);
    status = full.status;
    if (status == NC_OK)
        status = output ? nc_fp4_add_output(c, full.data, 1, wire)
                        : nc_fp4_add_input(c, full.data, 1, wire);
    nc__buffer_free(&full);
    return status;
}

/* Are so many clock cycles of a model within the limits? */
static int nc_fp4__unrolls(const nc_fp4__model *m, uint64_t frames) {
    return frames * ((uint64_t)m->outputs.count + m->inputs.count + m->latches.count) <=
               NC_FP4__MAX_INPUTS &&
           frames * (m->net_names.count / 64) <= NC_FP4__MAX_WIRES;
}

/* So many clock cycles of a model with latches. What a latch shows at the start, where that is
 * unknown, are inputs of their own, before those of all cycles. */
static nc_status nc_fp4__unroll(nc_fp4__netlist *l, uint32_t model, nc_fp4_circuit *c,
                                uint32_t *wires) {
    const nc_fp4__model *m = &l->models.at[model];
    const uint32_t inputs = m->inputs.count, outputs = m->outputs.count;
    const uint32_t frames = l->options.frames, latches = m->latches.count;
    uint32_t *held = wires + inputs, *out = held + latches, i, k;
    nc_status status = NC_OK;
    for (i = 0; i < latches && status == NC_OK; i++) {
        held[i] = m->latches.at[i].start;
        if (held[i] > 1)
            status = nc_fp4_add_input(c, m->net_names.at[m->latches.at[i].shows], 1, &held[i]);
    }
    for (k = 0; k < frames && status == NC_OK; k++) {
        for (i = 0; i < inputs && status == NC_OK; i++)
            status = nc_fp4__cycle_port(c, m->net_names.at[m->inputs.at[i]], k, wires + i, 0);
        if (status == NC_OK)
            status = nc_fp4__cycle(l, model, c, wires, out + (size_t)k * outputs, held, 0);
    }
    for (k = 0; k < frames && status == NC_OK; k++)
        for (i = 0; i < outputs && status == NC_OK; i++)
            status = nc_fp4__cycle_port(c, m->net_names.at[m->outputs.at[i]], k,
                                        out + (size_t)k * outputs + i, 1);
    return status;
}

/* A model as a circuit. */
static nc_status nc_fp4__build(nc_fp4__netlist *l, uint32_t model, nc_fp4_circuit **out) {
    const nc_fp4__model *m = &l->models.at[model];
    const uint32_t inputs = m->inputs.count, latches = m->latches.count;
    const size_t frames = latches ? l->options.frames : 1;
    const size_t bytes = nc__mul_size(
        nc__add_size((size_t)inputs + latches + 1, nc__mul_size(m->outputs.count, frames)),
        sizeof(uint32_t));
    const int fits = !latches || nc_fp4__unrolls(m, frames);
    uint32_t *wires = fits ? (uint32_t *)nc__alloc(NULL, bytes) : NULL;
    nc_fp4_circuit *c = NULL;
    nc_status status = wires  ? nc_fp4_create(&c, m->name, NULL)
                       : fits ? NC_ERR_MEMORY
                              : NC_ERR_LIMIT;
    if (status == NC_OK && latches) {
        status = nc_fp4__unroll(l, model, c, wires);
    } else {
        if (status == NC_OK) status = nc_fp4__ports(c, m, &m->inputs, wires, 0);
        if (status == NC_OK) status = nc_fp4__instance(l, model, c, wires, wires + inputs, 0);
        if (status == NC_OK) status = nc_fp4__ports(c, m, &m->outputs, wires + inputs, 1);
    }
    if (status != NC_OK)
        (void)nc_fp4__fail_at(&l->t, status, 0, 0, "%s",
                              status == NC_ERR_LIMIT ? "too many wires" : "out of memory");
    nc__free(NULL, wires, bytes);
    if (status == NC_OK)
        *out = c;
    else
        nc_fp4_destroy(c);
    return status;
}

/* The model that is asked for, or the one that a format says. */
static void nc_fp4__build_top(nc_fp4__netlist *l, uint32_t model, nc_fp4_circuit **out) {
    const char *top = l->options.top;
    if (l->t.status != NC_OK) return;
    if (top) model = nc_fp4__find_model(l, top, 0);
    if (model == UINT32_MAX)
        (void)nc_fp4__fail_at(&l->t, NC_ERR_FORMAT, 0, 0, "there is no model '%.64s'", top);
    else
        (void)nc_fp4__build(l, model, out);
}

/* What all readers do first: 0, and the reason in *err, for bad arguments. */
static int nc_fp4__open_text(nc__text *t, nc_fp4_circuit **circuit, const char *text, size_t bytes,
                             nc_error *err) {
    nc__clear(err);
    if (circuit) *circuit = NULL;
    if (circuit && text)
        nc__text_open(t, text, bytes, err);
    else
        (void)nc__fail(err, NC_ERR_ARG, 0, 0, circuit ? "no text" : "no circuit");
    return circuit && text;
}

/* The same for a netlist. */
static int nc_fp4__open_netlist(nc_fp4__netlist *l, const nc_fp4_read_options *options,
                                nc_fp4_circuit **circuit, const char *text, size_t bytes,
                                nc_error *err) {
    memset(l, 0, sizeof *l);
    if (options) l->options = *options;
    return nc_fp4__open_text(&l->t, circuit, text, bytes, err);
}

/* -- words, of BLIF and Bristol Fashion -------------------------------------------------------- */

typedef struct nc_fp4__word {
    const char *text;
    size_t length, line, column;
} nc_fp4__word;
NC_FP4__LIST(nc_fp4__word, nc_fp4__words)

/* The end of the line that a backslash continues, blanks before it passed over; null: the backslash
 * is part of a name. */
static const char *nc_fp4__continued(const nc__text *t, const char *at) {
    if (*at++ != '\\') return NULL;
    while (at < t->end && (*at == ' ' || *at == '\t' || *at == '\r')) at++;
    return at == t->end || *at == '\n' ? at : NULL;
}

/* The next word of a line; 0 at its end, which is passed, or at the end of the text. '#' starts a
 * comment; a line goes on after a backslash. A control character is a word of its own. */
static int nc_fp4__next_word(nc__text *t, nc_fp4__word *w) {
    while (t->at < t->end) {
        const char ch = *t->at, *on = nc_fp4__continued(t, t->at);
        if (ch == '#') {
            while (t->at < t->end && *t->at != '\n') t->at++;
        } else if (on) {
            t->at = on;
            nc__step(t);
        } else if (ch == '\n') {
            nc__step(t);
            return 0;
        } else if (ch == ' ' || ch == '\t' || ch == '\r') {
            t->at++;
        } else {
            w->text = t->at;
            w->line = t->line;
            w->column = (size_t)(t->at - t->line_start) + 1;
            do t->at++;
            while (t->at < t->end && (uint8_t)*t->at > ' ' && *t->at != '#' &&
                   !nc_fp4__continued(t, t->at) && (uint8_t)ch > ' ');
            w->length = (size_t)(t->at - w->text);
            return 1;
        }
    }
    return 0;
}

static int nc_fp4__is(const nc_fp4__word *w, const char *text) {
    return w->length == strlen(text) && memcmp(w->text, text, w->length) == 0;
}

static void nc_fp4__word_error(nc__text *t, const nc_fp4__word *w, nc_status status,
                               const char *what) {
    (void)nc_fp4__fail_at(t, status, w->line, w->column, "%s: '%.*s'", what,
                          (int)(w->length < 40 ? w->length : 40), w->text);
}

/* -- BLIF (University of California, Berkeley, 1992) ------------------------------------------- */

/* A row of a cover of the last statement. */
static void nc_fp4__blif_row(nc_fp4__netlist *l, nc_fp4__model *m, const nc_fp4__word *w,
                             size_t words) {
    nc_fp4__statement *s = &m->statements.at[m->statements.count - 1];
    const nc_fp4__word *value = &w[words - 1];
    size_t i;
    if (words != (s->inputs ? 2u : 1u) || (s->inputs && w->length != s->inputs)) {
        nc_fp4__word_error(&l->t, w, NC_ERR_FORMAT, "the row does not fit .names");
        return;
    }
    for (i = 0; i < s->inputs; i++)
        if (w->text[i] != '0' && w->text[i] != '1' && w->text[i] != '-')
            nc_fp4__word_error(&l->t, w, NC_ERR_FORMAT, "a row has 0, 1 and -");
    if (value->length != 1 || (*value->text != '0' && *value->text != '1') ||
        (s->rows && m->covers.data[s->row + s->inputs] != *value->text))
        nc_fp4__word_error(&l->t, value, NC_ERR_FORMAT, "rows end with 0, or all with 1");
    nc__buffer_put(&m->covers, w->text, s->inputs);
    nc__buffer_put(&m->covers, value->text, 1);
    if (m->covers.status != NC_OK || m->covers.used > UINT32_MAX) (void)nc_fp4__no_memory(&l->t);
    s->rows++;
}

/* The net of a word, or of its end behind a mark. */
static uint32_t nc_fp4__word_net(nc_fp4__netlist *l, nc_fp4__model *m, const nc_fp4__word *w,
                                 size_t from) {
    uint32_t net;
    if ((uint8_t)w->text[from] < ' ')
        nc_fp4__word_error(&l->t, w, NC_ERR_FORMAT, "a control character");
    if (l->t.status != NC_OK) return 0;
    l->line = w->line < UINT32_MAX ? (uint32_t)w->line : 0;
    net = nc_fp4__net_of(l, m, w->text + from, w->length - from);
    l->line = 0;
    return net;
}

/* .names input .. output */
static void nc_fp4__blif_names(nc_fp4__netlist *l, nc_fp4__model *m, const nc_fp4__word *w,
                               size_t words) {
    nc_fp4__statement *s = nc_fp4__new_statement(l, m, w->line, w->column);
    uint32_t net = 0;
    size_t i;
    if (words < 2) nc_fp4__word_error(&l->t, w, NC_ERR_FORMAT, "no output");
    if (l->t.status != NC_OK) return;
    s->inputs = (uint32_t)words - 2;
    s->outputs = 1;
    s->row = (uint32_t)m->covers.used;
    for (i = 1; i < words && l->t.status == NC_OK; i++) {
        net = nc_fp4__word_net(l, m, &w[i], 0);
        nc_fp4__keep(&l->t, &m->nets, net);
    }
    nc_fp4__drive(l, m, net, m->statements.count - 1, s->line, w[words - 1].column);
}

/* .conn from to, and ABC's .short: two names of one net. */
static void nc_fp4__blif_conn(nc_fp4__netlist *l, nc_fp4__model *m, const nc_fp4__word *w,
                              size_t words) {
    uint32_t from, to;
    if (words != 3) {
        nc_fp4__word_error(&l->t, w, NC_ERR_FORMAT, "expected two nets");
        return;
    }
    from = nc_fp4__word_net(l, m, &w[1], 0);
    to = nc_fp4__word_net(l, m, &w[2], 0);
    nc_fp4__put_table(l, m, 2, 1, &from, to, w->line);
}

/* .latch input output [type control] [initial value] */
static void nc_fp4__blif_latch(nc_fp4__netlist *l, nc_fp4__model *m, const nc_fp4__word *w,
                               size_t words) {
    const nc_fp4__word *start = &w[words - 1];
    nc_fp4__latch latch;
    if (!l->options.frames) {
        nc_fp4__word_error(&l->t, w, NC_ERR_UNSUPPORTED,
                           "only combinational circuits, unless clock cycles are to be unrolled");
        return;
    }
    if (words < 3 || words > 6) {
        nc_fp4__word_error(&l->t, w, NC_ERR_FORMAT, "expected input, output, type, control, value");
        return;
    }
    latch.start = 2;
    latch.line = w->line;
    if (words % 2 == 0) { /* with a value: 0, 1, 2 (any), 3 (unknown) */
        if (start->length != 1 || *start->text < '0' || *start->text > '3')
            nc_fp4__word_error(&l->t, start, NC_ERR_FORMAT, "an initial value is 0, 1, 2 or 3");
        else if (*start->text < '2')
            latch.start = (uint32_t)(*start->text - '0');
    }
    latch.next = nc_fp4__word_net(l, m, &w[1], 0);
    latch.shows = nc_fp4__word_net(l, m, &w[2], 0);
    if (l->t.status == NC_OK && !nc_fp4__latches_add(&m->latches, latch))
        (void)nc_fp4__no_memory(&l->t);
    if (nc_fp4__new_statement(l, m, w->line, w->column)) /* so that nothing else drives it */
        nc_fp4__drive(l, m, latch.shows, m->statements.count - 1, w->line, w[2].column);
}

/* .subckt model formal=actual .., or .gate: pairs are kept until all models are known. */
static void nc_fp4__blif_subckt(nc_fp4__netlist *l, nc_fp4__model *m, const nc_fp4__word *w,
                                size_t words) {
    nc_fp4__statement *s = nc_fp4__new_statement(l, m, w->line, w->column);
    size_t i;
    if (words < 2) nc_fp4__word_error(&l->t, w, NC_ERR_FORMAT, "no model");
    if (l->t.status != NC_OK) return;
    s->gate = nc_fp4__is(w, ".gate");
    s->model_name = nc_fp4__string(l, w[1].text, w[1].length);
    s->names = m->formals.count;
    s->inputs = (uint32_t)words - 2; /* pairs, for now */
    for (i = 2; i < words && l->t.status == NC_OK; i++) {
        const char *equals = (const char *)memchr(w[i].text, '=', w[i].length);
        const size_t n = equals ? (size_t)(equals - w[i].text) : 0;
        if (n == 0 || n + 1 == w[i].length) {
            nc_fp4__word_error(&l->t, &w[i], NC_ERR_FORMAT, "expected formal=actual");
            return;
        }
        if (!nc_fp4__strings_add(&m->formals, nc_fp4__string(l, w[i].text, n)))
            (void)nc_fp4__no_memory(&l->t);
        nc_fp4__keep(&l->t, &m->nets, nc_fp4__word_net(l, m, &w[i], n + 1));
    }
}

/* The model of an instance; null after a failure. */
static const nc_fp4__model *nc_fp4__model_of(nc_fp4__netlist *l, nc_fp4__statement *s) {
    const uint32_t k = nc_fp4__find_model(l, s->model_name, s->gate);
    if (k != UINT32_MAX) {
        s->model = k + 1;
        return &l->models.at[k];
    }
    if (s->gate && !l->options.library)
        (void)nc_fp4__fail_at(&l->t, NC_ERR_UNSUPPORTED, s->line, s->column,
                              "the gate '%.64s' needs its library (genlib)", s->model_name);
    else
        (void)nc_fp4__fail_at(&l->t, NC_ERR_FORMAT, s->line, s->column, "there is no %s '%.64s'",
                              s->gate ? "gate" : "model", s->model_name);
    return NULL;
}

/* Drive what an instance's outputs are connected to. Outputs may be open, inputs by choice. */
static void nc_fp4__open_ports(nc_fp4__netlist *l, nc_fp4__model *m, uint32_t number) {
    static char unnamed[] = "(open)";
    const nc_fp4__statement s = m->statements.at[number];
    const nc_fp4__model *of = &l->models.at[s.model - 1];
    uint32_t k, net;
    for (k = 0; k < s.inputs + s.outputs && l->t.status == NC_OK; k++) {
        net = m->nets.at[s.first + k];
        if (net == UINT32_MAX && k < s.inputs && !l->options.undriven)
            (void)nc_fp4__fail_at(&l->t, NC_ERR_FORMAT, s.line, s.column,
                                  "input '%.40s' of '%.40s' is not connected",
                                  of->net_names.at[of->inputs.at[k]], of->name);
        if (net == UINT32_MAX) net = nc_fp4__new_net(l, m, unnamed);
        m->nets.at[s.first + k] = net;
        if (k >= s.inputs) nc_fp4__drive(l, m, net, number, s.line, s.column);
    }
}

/* Sort the pairs of an instance into the order of its model's inputs and outputs. What an output
 * is connected to it drives; outputs may be left open. */
static void nc_fp4__resolve(nc_fp4__netlist *l, nc_fp4__model *m, uint32_t number) {
    nc_fp4__statement *s = &m->statements.at[number];
    const nc_fp4__model *of = nc_fp4__model_of(l, s);
    const uint32_t pairs = s->inputs, from = s->first, first = m->nets.count;
    uint32_t k, ports;
    if (!of) return;
    s->inputs = of->inputs.count;
    s->outputs = of->outputs.count;
    s->first = first;
    ports = s->inputs + s->outputs;
    for (k = 0; k < ports; k++) nc_fp4__keep(&l->t, &m->nets, UINT32_MAX);
    for (k = 0; k < pairs && l->t.status == NC_OK; k++) {
        const char *formal = m->formals.at[s->names + k];
        const uint32_t net = nc_fp4__find_net(of, formal, strlen(formal));
        const uint32_t port = net == UINT32_MAX ? 0 : of->port.at[net];
        if (!port || m->nets.at[first + port - 1] != UINT32_MAX)
            (void)nc_fp4__fail_at(&l->t, NC_ERR_FORMAT, s->line, s->column,
                                  port ? "'%.40s' of '%.40s' is connected twice"
                                       : "'%.40s' is no input or output of '%.40s'",
                                  formal, of->name);
        else
            m->nets.at[first + port - 1] = m->nets.at[from + k];
    }
    nc_fp4__open_ports(l, m, number);
}

/* .model name */
static void nc_fp4__blif_model(nc_fp4__netlist *l, const nc_fp4__word *w, size_t words) {
    char *name = nc_fp4__string(l, words > 1 ? w[1].text : "circuit", words > 1 ? w[1].length : 7);
    (void)nc_fp4__new_model(l, name, 0, w->line);
}

/* .inputs or .outputs */
static void nc_fp4__blif_ports(nc_fp4__netlist *l, nc_fp4__model *m, const nc_fp4__word *w,
                               size_t words, nc_fp4__numbers *ports) {
    size_t i;
    for (i = 1; i < words && l->t.status == NC_OK; i++)
        nc_fp4__keep(&l->t, ports, nc_fp4__word_net(l, m, &w[i], 0));
    if (ports->count > NC_FP4__MAX_INPUTS)
        nc_fp4__word_error(&l->t, w, NC_ERR_LIMIT, "too many inputs or outputs");
}

/* Commands that say nothing about what is computed: areas, delays and loads (SIS, ABC), names and
 * attributes of cells (yosys). And those that do, and that this reader does not understand. */
static const char *const nc_fp4__blif_passed[] = {".area",
                                                  ".delay",
                                                  ".wire",
                                                  ".wire_load_slope",
                                                  ".and_gate_delay",
                                                  ".attrib",
                                                  ".no_merge",
                                                  ".default_input_arrival",
                                                  ".input_arrival",
                                                  ".default_output_required",
                                                  ".output_required",
                                                  ".default_input_required",
                                                  ".input_required",
                                                  ".default_input_drive",
                                                  ".input_drive",
                                                  ".default_output_load",
                                                  ".output_load",
                                                  ".default_max_input_load",
                                                  ".max_input_load",
                                                  ".clock",
                                                  ".cycle",
                                                  ".clock_event",
                                                  ".attr",
                                                  ".param",
                                                  ".cname"};
static const char *const nc_fp4__blif_refused[] = {
    ".mlatch", ".flop",  ".mgate",   ".latch_order", ".code", ".start_kiss", ".end_kiss",
    ".mv",     ".table", ".default", ".reset",       ".r",    ".search"};

static int nc_fp4__is_one_of(const nc_fp4__word *w, const char *const *list, size_t n) {
    size_t i;
    for (i = 0; i < n; i++)
        if (nc_fp4__is(w, list[i])) return 1;
    return 0;
}

/* What is open: a model, the last statement's cover, and a network of external don't-cares, which
 * say where outputs do not count and are passed over. */
typedef struct nc_fp4__blif {
    int model, cover, dont_cares;
} nc_fp4__blif;

/* A command inside a model. */
static void nc_fp4__blif_command(nc_fp4__netlist *l, nc_fp4__blif *open, nc_fp4__model *m,
                                 const nc_fp4__word *w, size_t words) {
    if (nc_fp4__is(w, ".names"))
        nc_fp4__blif_names(l, m, w, words);
    else if (nc_fp4__is(w, ".inputs") || nc_fp4__is(w, ".input"))
        nc_fp4__blif_ports(l, m, w, words, &m->inputs);
    else if (nc_fp4__is(w, ".outputs") || nc_fp4__is(w, ".output"))
        nc_fp4__blif_ports(l, m, w, words, &m->outputs);
    else if (nc_fp4__is(w, ".subckt") || nc_fp4__is(w, ".gate"))
        nc_fp4__blif_subckt(l, m, w, words);
    else if (nc_fp4__is(w, ".conn") || nc_fp4__is(w, ".short") || nc_fp4__is(w, ".barbuf"))
        nc_fp4__blif_conn(l, m, w, words);
    else if (nc_fp4__is(w, ".latch"))
        nc_fp4__blif_latch(l, m, w, words);
    else if (nc_fp4__is(w, ".blackbox"))
        m->empty = 1;
    else if (nc_fp4__is(w, ".exdc"))
        open->dont_cares = 1;
    else if (nc_fp4__is_one_of(w, nc_fp4__blif_refused,
                               sizeof nc_fp4__blif_refused / sizeof *nc_fp4__blif_refused))
        nc_fp4__word_error(&l->t, w, NC_ERR_UNSUPPORTED, "this reader does not know");
    else
        nc_fp4__word_error(&l->t, w, NC_ERR_FORMAT, "unknown command");
}

/* One line. */
static void nc_fp4__blif_line(nc_fp4__netlist *l, nc_fp4__blif *open, const nc_fp4__word *w,
                              size_t words) {
    nc_fp4__model *m = open->model ? &l->models.at[l->models.count - 1] : NULL;
    const int row = *w->text != '.';
    if (nc_fp4__is(w, ".end")) {
        open->model = open->cover = open->dont_cares = 0;
    } else if (nc_fp4__is(w, ".model")) {
        nc_fp4__blif_model(l, w, words);
        open->model = 1;
        open->cover = open->dont_cares = 0;
    } else if (open->dont_cares) {
        return;
    } else if (row && open->cover) {
        nc_fp4__blif_row(l, m, w, words);
    } else if (row) {
        nc_fp4__word_error(&l->t, w, NC_ERR_FORMAT, "expected a command");
    } else if (!nc_fp4__is_one_of(w, nc_fp4__blif_passed,
                                  sizeof nc_fp4__blif_passed / sizeof *nc_fp4__blif_passed)) {
        open->cover = nc_fp4__is(w, ".names");
        if (m)
            nc_fp4__blif_command(l, open, m, w, words);
        else
            nc_fp4__word_error(&l->t, w, NC_ERR_FORMAT, "no .model yet");
    }
}

/* A cover of at most eight inputs is a table. */
static void nc_fp4__tables(nc_fp4__model *m) {
    uint32_t i, c, r, k;
    for (i = 0; i < m->statements.count; i++) {
        nc_fp4__statement *s = &m->statements.at[i];
        int off;
        if (s->model_name || s->rows == UINT32_MAX || s->inputs > 8) continue;
        off = s->rows && m->covers.data[s->row + s->inputs] == '0';
        for (c = 0; c < 1u << s->inputs; c++) {
            int in = 0;
            for (r = 0; r < s->rows && !in; r++) {
                const char *row = m->covers.data + s->row + r * (size_t)(s->inputs + 1);
                for (k = 0; k < s->inputs && (row[k] == '-' || (row[k] == '1') == (c >> k & 1));
                     k++) {
                }
                in = k == s->inputs;
            }
            s->truth[c / 64] |= (uint64_t)(in != off) << c % 64;
        }
        s->rows = UINT32_MAX;
    }
}

/* -- genlib: gates for .gate (SIS, 1992; precedence as in ABC) --------------------------------- */

/* A function while it is read: operands that wait, and operators that wait for their right side. */
enum { NC_FP4__MAX_NESTED = 256 };
typedef struct nc_fp4__formula {
    nc_fp4__netlist *l;
    nc_fp4__model *m;
    uint32_t operand[NC_FP4__MAX_NESTED];
    char operator_[NC_FP4__MAX_NESTED];
    int operands, operators;
} nc_fp4__formula;

/* How tightly an operator binds: ! * ^ + in this order. */
static int nc_fp4__binds(char operator_) {
    const char *order = "(+^*!", *at = strchr(order, operator_);
    return (int)(at - order);
}

/* Apply what waits and binds as tightly. */
static void nc_fp4__formula_apply(nc_fp4__formula *f, int least) {
    while (f->operators && nc_fp4__binds(f->operator_[f->operators - 1]) >= least) {
        const char what = f->operator_[--f->operators];
        const int inputs = what == '!' ? 1 : 2;
        const uint32_t truth = what == '!' ? 1 : what == '*' ? 8 : what == '+' ? 14 : 6;
        uint32_t *at;
        if (f->operands < inputs) {
            (void)nc__text_fail(&f->l->t, NC_ERR_FORMAT, "an operator without an operand");
            return;
        }
        f->operands -= inputs - 1;
        at = &f->operand[f->operands - 1];
        *at =
            nc_fp4__table_net(f->l, f->m, truth, (uint32_t)inputs, at[0], inputs == 2 ? at[1] : 0);
    }
}

static void nc_fp4__formula_push(nc_fp4__formula *f, char operator_) {
    if (operator_ != '!' && operator_ != '(') nc_fp4__formula_apply(f, nc_fp4__binds(operator_));
    if (f->operators == NC_FP4__MAX_NESTED)
        (void)nc__text_fail(&f->l->t, NC_ERR_LIMIT, "a function nested too deeply");
    else
        f->operator_[f->operators++] = operator_;
}

/* A pin, which becomes an input where it is named first, or a constant. */
static void nc_fp4__formula_pin(nc_fp4__formula *f) {
    nc__text *t = &f->l->t;
    const char *start = t->at;
    uint32_t nets = f->m->net_names.count, net;
    size_t n;
    while (nc__peek(t, 0) > ' ' && !strchr("()!'*&+|^;=#", nc__peek(t, 0))) t->at++;
    n = (size_t)(t->at - start);
    if (n == 0 || f->operands == NC_FP4__MAX_NESTED) {
        (void)nc__text_fail(t, n ? NC_ERR_LIMIT : NC_ERR_FORMAT,
                            n ? "a function nested too deeply" : "expected a pin");
        return;
    }
    if (n == 6 && (!memcmp(start, "CONST0", 6) || !memcmp(start, "CONST1", 6))) {
        net = nc_fp4__table_net(f->l, f->m, start[5] == '1', 0, 0, 0);
    } else {
        net = nc_fp4__net_of(f->l, f->m, start, n);
        if (net == nets) nc_fp4__keep(t, &f->m->inputs, net);
    }
    f->operand[f->operands++] = net;
}

/* The right side of O=..; up to the semicolon. ! before and ' behind complement; * & and a mere
 * blank are AND, ^ exclusive or, + and | OR. */
static uint32_t nc_fp4__formula_read(nc_fp4__formula *f) {
    nc__text *t = &f->l->t;
    int operand = 0; /* the last thing was one */
    f->operands = f->operators = 0;
    for (nc__skip_space(t); t->status == NC_OK && nc__peek(t, 0) != ';'; nc__skip_space(t)) {
        const int c = nc__peek(t, 0);
        if (c <= 0) {
            (void)nc__text_fail(t, NC_ERR_FORMAT, "expected ';'");
        } else if (operand && c == '\'') {
            f->operand[f->operands - 1] =
                nc_fp4__table_net(f->l, f->m, 1, 1, f->operand[f->operands - 1], 0);
            t->at++;
        } else if (operand && strchr("*&+|^", c)) {
            nc_fp4__formula_push(f, c == '&' ? '*' : c == '|' ? '+' : (char)c);
            operand = 0;
            t->at++;
        } else if (operand && c == ')') {
            nc_fp4__formula_apply(f, 1);
            if (!f->operators)
                (void)nc__text_fail(t, NC_ERR_FORMAT, "')' without '('");
            else
                f->operators--;
            t->at++;
        } else if (operand) {
            nc_fp4__formula_push(f, '*');
            operand = 0;
        } else if (c == '!' || c == '(') {
            nc_fp4__formula_push(f, (char)c);
            t->at++;
        } else {
            nc_fp4__formula_pin(f);
            operand = 1;
        }
    }
    nc_fp4__formula_apply(f, 1);
    if (f->operators || f->operands != 1)
        (void)nc__text_fail(t, NC_ERR_FORMAT, "expected an operand, or ')'");
    nc__step(t);
    return f->operand[0];
}

/* The next word of a genlib; 0 at the end. # begins a comment. */
static size_t nc_fp4__library_word(nc__text *t, const char **word) {
    for (nc__skip_space(t); nc__peek(t, 0) == '#'; nc__skip_space(t))
        while (nc__peek(t, 0) >= 0 && nc__peek(t, 0) != '\n') t->at++;
    *word = t->at;
    while (nc__peek(t, 0) > ' ' && nc__peek(t, 0) != '=' && nc__peek(t, 0) != ';') t->at++;
    return (size_t)(t->at - *word);
}

/* Say that a failure is the library's. */
static void nc_fp4__say_library(nc_error *err) {
    static const char prefix[] = "library: ";
    const size_t n = sizeof prefix - 1, room = sizeof err->message - n - 1;
    memmove(err->message + n, err->message, room);
    memcpy(err->message, prefix, n);
    err->message[sizeof err->message - 1] = 0;
}

/* GATE name area output=function; */
static void nc_fp4__library_gate(nc_fp4__netlist *l, nc_fp4__formula *f) {
    nc__text *t = &l->t;
    const char *word;
    size_t n = nc_fp4__library_word(t, &word);
    uint32_t from, to;
    if (n > 1 && word[0] == '"' && word[n - 1] == '"') {
        word++;
        n -= 2;
    }
    f->m = nc_fp4__new_model(l, nc_fp4__string(l, word, n), 1, t->line);
    (void)nc_fp4__library_word(t, &word); /* the area */
    n = nc_fp4__library_word(t, &word);
    nc__skip_space(t);
    if (n == 0 || nc__peek(t, 0) != '=')
        (void)nc__text_fail(t, NC_ERR_FORMAT, "expected GATE name area output=function;");
    if (t->status != NC_OK) return;
    t->at++;
    to = nc_fp4__net_of(l, f->m, word, n);
    from = nc_fp4__formula_read(f);
    nc_fp4__put_table(l, f->m, 2, 1, &from, to, t->line);
    nc_fp4__keep(t, &f->m->outputs, to);
}

/* The library's gates as further models. PIN lines are delays; LATCH entries are passed over, and
 * refused where one is used. */
static void nc_fp4__read_library(nc_fp4__netlist *l) {
    const nc__text kept = l->t;
    nc_fp4__formula *f;
    const char *word;
    size_t n;
    if (l->t.status != NC_OK || !l->options.library) return;
    f = (nc_fp4__formula *)nc__calloc(NULL, sizeof *f);
    if (!f) {
        (void)nc_fp4__no_memory(&l->t);
        return;
    }
    f->l = l;
    nc__text_open(&l->t, l->options.library, l->options.library_bytes, kept.err);
    while ((n = nc_fp4__library_word(&l->t, &word)) != 0)
        if (n == 4 && !memcmp(word, "GATE", 4))
            nc_fp4__library_gate(l, f);
        else if (n == 5 && !memcmp(word, "LATCH", 5)) {
            while (nc__peek(&l->t, 0) >= 0 && nc__peek(&l->t, 0) != ';') nc__step(&l->t);
            nc__step(&l->t);
        }
    if (l->t.status == NC_OK && l->t.at < l->t.end)
        (void)nc__text_fail(&l->t, NC_ERR_FORMAT, "expected GATE");
    nc__free(NULL, f, sizeof *f);
    if (l->t.status == NC_OK)
        l->t = kept;
    else if (kept.err)
        nc_fp4__say_library(kept.err);
}

/* -- the whole netlist ------------------------------------------------------------------------- */

/* The place of each net among the ports of a model; inputs are named once and driven by nothing. */
static void nc_fp4__place_ports(nc_fp4__netlist *l, nc_fp4__model *m) {
    uint32_t k, net;
    for (k = 0; k < m->net_names.count; k++) nc_fp4__keep(&l->t, &m->port, 0);
    for (k = 0; k < m->inputs.count && l->t.status == NC_OK; k++) {
        net = m->inputs.at[k];
        if (m->port.at[net])
            (void)nc_fp4__fail_at(&l->t, NC_ERR_FORMAT, m->line.at[net], 1,
                                  "'%.64s' is an input of '%.40s' twice", m->net_names.at[net],
                                  m->name);
        m->port.at[net] = k + 1;
    }
    for (k = 0; k < m->outputs.count && l->t.status == NC_OK; k++)
        if (!m->port.at[m->outputs.at[k]]) m->port.at[m->outputs.at[k]] = m->inputs.count + k + 1;
}

/* What can only be said when the whole text is known: of all models, then of each. */
static void nc_fp4__place_all(nc_fp4__netlist *l) {
    uint32_t i;
    for (i = 0; i < l->models.count && l->t.status == NC_OK; i++) {
        nc_fp4__tables(&l->models.at[i]);
        nc_fp4__place_ports(l, &l->models.at[i]);
    }
}

static void nc_fp4__finish(nc_fp4__netlist *l) {
    uint32_t i, k;
    for (i = 0; i < l->models.count; i++) {
        nc_fp4__model *m = &l->models.at[i];
        for (k = 0; k < m->statements.count && l->t.status == NC_OK; k++)
            if (m->statements.at[k].model_name) nc_fp4__resolve(l, m, k);
        for (k = 0; k < m->inputs.count && l->t.status == NC_OK; k++) {
            const uint32_t net = m->inputs.at[k];
            if (m->driver.at[net])
                (void)nc_fp4__fail_at(&l->t, NC_ERR_FORMAT,
                                      m->statements.at[m->driver.at[net] - 1].line, 1,
                                      "input '%.64s' is driven", m->net_names.at[net]);
        }
    }
}

static nc_status nc_fp4__read_blif(nc_fp4_circuit **circuit, const nc_fp4_read_options *options,
                                   const char *text, size_t bytes, nc_error *err) {
    nc_fp4__netlist l;
    nc_fp4__blif open = {0, 0, 0};
    nc_fp4__words words = {NULL, 0, 0, NULL}; /* of a line */
    nc_fp4__word w;
    if (!nc_fp4__open_netlist(&l, options, circuit, text, bytes, err)) return NC_ERR_ARG;
    while (l.t.status == NC_OK && l.t.at < l.t.end) {
        while (nc_fp4__next_word(&l.t, &w))
            if (!nc_fp4__words_add(&words, w)) (void)nc_fp4__no_memory(&l.t);
        if (words.count && l.t.status == NC_OK) nc_fp4__blif_line(&l, &open, words.at, words.count);
        words.count = 0;
    }
    nc_fp4__words_free(&words);
    if (!l.models.count) (void)nc_fp4__fail_at(&l.t, NC_ERR_FORMAT, l.t.line, 1, "no .model");
    nc_fp4__read_library(&l);
    nc_fp4__place_all(&l);
    nc_fp4__finish(&l);
    nc_fp4__build_top(&l, 0, circuit);
    nc_fp4__netlist_free(&l);
    return l.t.status;
}

NC_API nc_status nc_fp4_read_blif(nc_fp4_circuit **circuit, const char *text, size_t bytes,
                                  nc_error *err) {
    return nc_fp4__read_blif(circuit, NULL, text, bytes, err);
}

/* -- Bristol Fashion (Archer, Abril, Lu, Maene, Mertens, Sijacic, Smart, 2020) ----------------- */

typedef struct nc_fp4__gates {
    nc__text t;
    nc_fp4__word word; /* the last one */
    nc_fp4_circuit *c;
    uint32_t *wire; /* of each wire of the text, UINT32_MAX: it has no value yet */
    uint32_t wires;
    nc_fp4__numbers list; /* wires of a gate */
} nc_fp4__gates;

/* The next word, on whatever line; 0 at the end. */
static int nc_fp4__take_word(nc_fp4__gates *g, const char *what) {
    while (g->t.status == NC_OK && !nc_fp4__next_word(&g->t, &g->word))
        if (g->t.at == g->t.end)
            (void)nc_fp4__fail_at(&g->t, NC_ERR_FORMAT, g->t.line, 1, "the text ends before %s",
                                  what);
    return g->t.status == NC_OK;
}

static uint32_t nc_fp4__take_number(nc_fp4__gates *g, uint32_t most, const char *what) {
    const nc_fp4__word *w = &g->word;
    uint64_t value = 0;
    size_t i;
    if (!nc_fp4__take_word(g, what)) return 0;
    for (i = 0; i < w->length && i < 10 && nc__is_digit(w->text[i]); i++)
        value = 10 * value + (uint64_t)(w->text[i] - '0');
    if (i < w->length)
        (void)nc_fp4__fail_at(&g->t, NC_ERR_FORMAT, w->line, w->column, "expected %s", what);
    else if (value > most)
        (void)nc_fp4__fail_at(&g->t, NC_ERR_LIMIT, w->line, w->column, "%s: more than %lu", what,
                              (unsigned long)most);
    return g->t.status == NC_OK ? (uint32_t)value : 0;
}

/* The gates: their function of one or two wires. EQ reads a constant; MAND is many ANDs. */
static const struct {
    char name[8];
    uint8_t inputs, truth;
} nc_fp4__bristol_gates[] = {{"XOR", 2, 0x66}, {"AND", 2, 0x88}, {"MAND", 2, 0x88},
                             {"INV", 1, 0x55}, {"NOT", 1, 0x55}, {"EQ", 1, 0xAA},
                             {"EQW", 1, 0xAA}};
enum { NC_FP4__GATES = sizeof nc_fp4__bristol_gates / sizeof *nc_fp4__bristol_gates };

/* Function i of a gate's `pairs`: its input wires stand `pairs` apart in the list. */
static void nc_fp4__bristol_wire(nc_fp4__gates *g, uint32_t gate, uint32_t i, uint32_t pairs) {
    const uint32_t inputs = nc_fp4__bristol_gates[gate].inputs,
                   out = g->list.at[i + inputs * pairs];
    const int constant = !strcmp(nc_fp4__bristol_gates[gate].name, "EQ");
    uint32_t in[3] = {0, 0, 0}, k;
    for (k = 0; k < inputs; k++) {
        const uint32_t from = g->list.at[i + k * pairs];
        in[k] = constant ? from : g->wire[from];
        if (constant ? from > 1 : in[k] == UINT32_MAX)
            (void)nc_fp4__fail_at(&g->t, NC_ERR_FORMAT, g->word.line, 1,
                                  constant ? "EQ gives 0 or 1, not %lu"
                                           : "wire %lu has no value yet",
                                  (unsigned long)from);
    }
    if (g->wire[out] != UINT32_MAX)
        (void)nc_fp4__fail_at(&g->t, NC_ERR_FORMAT, g->word.line, 1, "wire %lu has a value already",
                              (unsigned long)out);
    if (g->t.status != NC_OK) return;
    g->wire[out] = nc_fp4__function(g->c, in, nc_fp4__bristol_gates[gate].truth);
    if (g->wire[out] == UINT32_MAX)
        (void)nc_fp4__fail_at(&g->t, nc_fp4__added(g->c, UINT32_MAX), g->word.line, 1,
                              "too many wires");
}

/* "inputs outputs wire .. name" */
static void nc_fp4__bristol_gate(nc_fp4__gates *g) {
    const uint32_t ins = nc_fp4__take_number(g, g->wires, "a number of inputs");
    const uint32_t outs = nc_fp4__take_number(g, g->wires, "a number of outputs");
    const nc_fp4__word *w = &g->word;
    uint32_t i, gate, pairs;
    g->list.count = 0;
    for (i = 0; i < ins + outs && g->t.status == NC_OK; i++)
        nc_fp4__keep(&g->t, &g->list, nc_fp4__take_number(g, g->wires - 1, "a wire"));
    if (!nc_fp4__take_word(g, "a gate")) return;
    for (gate = 0; gate < NC_FP4__GATES; gate++)
        if (nc_fp4__is(w, nc_fp4__bristol_gates[gate].name)) break;
    if (gate == NC_FP4__GATES) {
        nc_fp4__word_error(&g->t, w, NC_ERR_FORMAT, "unknown gate");
        return;
    }
    pairs = *w->text == 'M' ? outs : 1;
    if (pairs == 0 || outs != pairs || ins != nc_fp4__bristol_gates[gate].inputs * pairs) {
        nc_fp4__word_error(&g->t, w, NC_ERR_FORMAT, "the gate has a wrong number of wires");
        return;
    }
    for (i = 0; i < pairs && g->t.status == NC_OK; i++) nc_fp4__bristol_wire(g, gate, i, pairs);
}

/* The words of the next line that has any; the last one stays in *w. */
static uint32_t nc_fp4__bristol_line(nc__text *t, nc_fp4__word *w) {
    uint32_t n = 0;
    while (t->at < t->end && !n)
        while (nc_fp4__next_word(t, w)) n++;
    return n;
}

/* The format before Bristol Fashion (Tillich, Smart 2014): one line has the widths of two inputs
 * and of the output, and gates follow, where Bristol Fashion has the widths of the outputs. */
static int nc_fp4__bristol_is_old(const nc_fp4__gates *g) {
    nc__text t = g->t;
    nc_fp4__word w;
    while (nc_fp4__next_word(&t, &w)) { /* what is left of the first line */
    }
    if (nc_fp4__bristol_line(&t, &w) != 3) return 0;
    return nc_fp4__bristol_line(&t, &w) > 0 && nc__is_letter(w.text[0]);
}

/* Widths of inputs or outputs, as many as the text says or is known, and all of them together no
 * more than the wires. None may be 0, unless it is an input of the old format that is not there. */
static void nc_fp4__bristol_sides(nc_fp4__gates *g, uint32_t groups, int old,
                                  nc_fp4__numbers *widths) {
    const uint32_t most = NC_FP4__MAX_INPUTS;
    uint32_t left = g->wires < most ? g->wires : most, i, width;
    for (i = 0; i < groups && g->t.status == NC_OK; i++) {
        width = nc_fp4__take_number(g, most, "a width");
        if (g->t.status == NC_OK && ((width == 0 && !old) || width > left))
            (void)nc_fp4__fail_at(&g->t, NC_ERR_FORMAT, g->word.line, g->word.column,
                                  "a width that does not fit");
        left -= g->t.status == NC_OK ? width : 0;
        if (width) nc_fp4__keep(&g->t, widths, width);
    }
}

/* The outputs: the last wires. */
static void nc_fp4__bristol_outputs(nc_fp4__gates *g, const nc_fp4__numbers *widths) {
    uint32_t at = g->wires, i, k;
    nc_status status;
    for (i = 0; i < widths->count; i++) at -= widths->at[i];
    for (i = 0; i < widths->count && g->t.status == NC_OK; i++) {
        for (k = 0; k < widths->at[i]; k++)
            if (g->wire[at + k] == UINT32_MAX)
                (void)nc_fp4__fail_at(&g->t, NC_ERR_FORMAT, g->word.line, g->word.column,
                                      "output wire %lu has no value", (unsigned long)at + k);
        if (g->t.status != NC_OK) break;
        status = nc_fp4_add_output(g->c, NULL, widths->at[i], g->wire + at);
        if (status != NC_OK) (void)nc_fp4__fail_at(&g->t, status, 0, 0, "too many outputs");
        at += widths->at[i];
    }
}

/* Everything behind the number of wires. Inputs are the first wires. */
static void nc_fp4__bristol_body(nc_fp4__gates *g, uint32_t gates) {
    const int old = nc_fp4__bristol_is_old(g);
    nc_fp4__numbers in = {NULL, 0, 0, NULL}, out = {NULL, 0, 0, NULL};
    uint32_t i, at = 0;
    nc_status status;
    nc_fp4__bristol_sides(
        g, old ? 2 : nc_fp4__take_number(g, NC_FP4__MAX_INPUTS, "the number of inputs"), old, &in);
    nc_fp4__bristol_sides(
        g, old ? 1 : nc_fp4__take_number(g, NC_FP4__MAX_INPUTS, "the number of outputs"), 0, &out);
    for (i = 0; i < in.count && g->t.status == NC_OK; i++) {
        status = nc_fp4_add_input(g->c, NULL, in.at[i], g->wire + at);
        if (status != NC_OK) (void)nc_fp4__fail_at(&g->t, status, 0, 0, "too many inputs");
        at += in.at[i];
    }
    for (i = 0; i < gates && g->t.status == NC_OK; i++) nc_fp4__bristol_gate(g);
    while (g->t.status == NC_OK && g->t.at < g->t.end)
        if (nc_fp4__next_word(&g->t, &g->word))
            nc_fp4__word_error(&g->t, &g->word, NC_ERR_FORMAT, "more gates than were announced");
    if (g->t.status == NC_OK) nc_fp4__bristol_outputs(g, &out);
    nc_fp4__numbers_free(&in);
    nc_fp4__numbers_free(&out);
}

NC_API nc_status nc_fp4_read_bristol(nc_fp4_circuit **circuit, const char *text, size_t bytes,
                                     nc_error *err) {
    nc_fp4__gates g;
    uint32_t gates, i;
    memset(&g, 0, sizeof g);
    if (!nc_fp4__open_text(&g.t, circuit, text, bytes, err)) return NC_ERR_ARG;
    gates = nc_fp4__take_number(&g, NC_FP4__MAX_WIRES, "the number of gates");
    g.wires = nc_fp4__take_number(&g, NC_FP4__MAX_WIRES - 2, "the number of wires");
    if (g.wires > bytes + NC_FP4__MAX_INPUTS)
        (void)nc_fp4__fail_at(&g.t, NC_ERR_FORMAT, g.word.line, g.word.column,
                              "more wires than the text can hold");
    if (g.t.status == NC_OK) {
        g.wire = (uint32_t *)nc__alloc(NULL, (g.wires + (size_t)1) * sizeof *g.wire);
        if (!g.wire || nc_fp4_create(&g.c, NULL, NULL) != NC_OK) (void)nc_fp4__no_memory(&g.t);
    }
    if (g.t.status == NC_OK) {
        for (i = 0; i <= g.wires; i++) g.wire[i] = UINT32_MAX;
        nc_fp4__bristol_body(&g, gates);
    }
    nc_fp4__numbers_free(&g.list);
    nc__free(NULL, g.wire, 0);
    if (g.t.status == NC_OK)
        *circuit = g.c;
    else
        nc_fp4_destroy(g.c);
    return g.t.status;
}

/* -- JSON ---------------------------------------------------------------------------- */

/* A name: a string, or the number 0 or 1. */
static void nc_fp4__json_name(nc__text *t, char name[256]) {
    *name = 0;
    nc__skip_space(t);
    if (nc__is_digit(nc__peek(t, 0)))
        snprintf(name, 256, "%u", (unsigned)nc__json_natural(t, 1));
    else if (nc__json_string(t, name, 256) >= 256)
        (void)nc__text_fail(t, NC_ERR_LIMIT, "a name of more than 255 bytes");
    if (!*name) (void)nc__text_fail(t, NC_ERR_FORMAT, "expected a name");
}

/* A member's name: which of `words` (with a blank behind each) it is, each at most once, by its
 * bit in *seen. 32: none of them, and its value is passed over, unless the name says that it would
 * change the circuit. */
static unsigned nc_fp4__json_word(nc__text *t, const char *words, uint32_t *seen) {
    static const char changing[] = "latches registers memories instances modules subcircuits "
                                   "inverted invert negated negate complement init clock enable "
                                   "reset ";
    char key[64];
    unsigned k = 0;
    const int fits = nc__json_string(t, key, sizeof key) < sizeof key;
    const size_t n = strlen(key);
    nc__json_expect(t, ':');
    for (; fits && *words; words = strchr(words, ' ') + 1, k++) {
        if (strcspn(words, " ") != n || strncmp(words, key, n) != 0) continue;
        if (*seen >> k & 1) (void)nc__text_fail(t, NC_ERR_FORMAT, "a second \"%s\"", key);
        *seen |= 1u << k;
        return t->status == NC_OK ? k : 32;
    }
    for (words = changing; fits && *words; words = strchr(words, ' ') + 1)
        if (strcspn(words, " ") == n && !strncmp(words, key, n))
            (void)nc__text_fail(t, NC_ERR_UNSUPPORTED,
                                "\"%s\" would change the circuit, and is not read", key);
    nc__json_skip(t);
    return 32;
}

/* Nets of a declared name: one, or name[0] .. name[width - 1]; where to, if anywhere. */
static void nc_fp4__json_declare(nc_fp4__netlist *l, const char *name, uint32_t width,
                                 nc_fp4__numbers *ports) {
    char full[300];
    uint32_t i, net;
    for (i = 0; i < width && l->t.status == NC_OK; i++) {
        snprintf(full, sizeof full, width > 1 ? "%s[%u]" : "%s", name, (unsigned)i);
        net = nc_fp4__net_of(l, l->models.at, full, strlen(full));
        if (ports) nc_fp4__keep(&l->t, ports, net);
    }
    if (ports && ports->count > NC_FP4__MAX_INPUTS)
        (void)nc__text_fail(&l->t, NC_ERR_LIMIT, "more than 2^20 inputs or outputs");
}

/* An array of names, and of objects of a name and a width. */
static void nc_fp4__json_names(nc_fp4__netlist *l, nc_fp4__numbers *ports) {
    nc__text *t = &l->t;
    int first = 1, member;
    nc__json_expect(t, '[');
    while (nc__json_more(t, ']', &first)) {
        char name[256] = "";
        uint64_t width = 1;
        uint32_t seen = 0;
        if (nc__json_take(t, '{')) {
            for (member = 1; nc__json_more(t, '}', &member);) {
                const unsigned word = nc_fp4__json_word(t, "name width ", &seen);
                if (word == 0) nc_fp4__json_name(t, name);
                if (word == 1) width = nc__json_natural(t, NC_FP4__MAX_INPUTS);
            }
        } else {
            nc_fp4__json_name(t, name);
        }
        if (!*name || width == 0)
            (void)nc__text_fail(t, NC_ERR_FORMAT, "expected a name and a width of 1 and more");
        nc_fp4__json_declare(l, name, (uint32_t)width, ports);
    }
}

/* A net by its name; "0" and "1" are constants, which drive themselves. */
static uint32_t nc_fp4__json_net(nc_fp4__netlist *l) {
    nc_fp4__model *m = l->models.at;
    nc_fp4__statement *s;
    char name[256];
    uint32_t net;
    nc_fp4__json_name(&l->t, name);
    if (l->t.status != NC_OK) return 0;
    net = nc_fp4__net_of(l, m, name, strlen(name));
    if (l->t.status != NC_OK || (strcmp(name, "0") && strcmp(name, "1")) || m->driver.at[net])
        return net;
    s = nc_fp4__new_statement(l, m, l->t.line, 1);
    if (!s) return 0;
    s->outputs = 1;
    s->rows = UINT32_MAX;
    s->truth[0] = *name == '1';
    nc_fp4__keep(&l->t, &m->nets, net);
    m->driver.at[net] = m->statements.count;
    return net;
}

/* The outputs of a table, as a string of 0 and 1; returns how many. */
static size_t nc_fp4__json_truth(nc__text *t, uint64_t truth[4]) {
    char digits[257];
    const size_t n = nc__json_string(t, digits, sizeof digits);
    size_t i;
    for (i = 0; i < n && i < 256; i++) {
        if (digits[i] != '0' && digits[i] != '1')
            (void)nc__text_fail(t, NC_ERR_FORMAT, "a truth table has 0 and 1");
        truth[i / 64] |= (uint64_t)(digits[i] == '1') << i % 64;
    }
    return n;
}

/* Is `type` an atom of so many inputs? Then its truth table. */
static int nc_fp4__json_type(const char *type, uint32_t inputs, uint64_t truth[4]) {
    uint32_t k;
    for (k = 0; k < NC_FP4_ATOM_COUNT; k++)
        if (!strcmp(type, nc_fp4__atoms[k].name) && nc_fp4__atoms[k].inputs == inputs) {
            truth[0] = nc_fp4__atoms[k].truth;
            return 1;
        }
    return 0;
}

/* {"type", "inputs", "output", "truth"} becomes a statement. */
static void nc_fp4__json_atom(nc_fp4__netlist *l) {
    nc__text *t = &l->t;
    nc_fp4__model *m = l->models.at;
    nc_fp4__statement *s;
    char type[16] = "";
    uint64_t truth[4] = {0, 0, 0, 0};
    uint32_t in[8] = {0}, inputs = 0, out = UINT32_MAX, seen = 0, i;
    size_t bits = 0;
    int first = 1, element;
    nc__json_expect(t, '{');
    while (nc__json_more(t, '}', &first)) {
        const unsigned word = nc_fp4__json_word(t, "type output truth inputs ", &seen);
        if (word == 0) (void)nc__json_string(t, type, sizeof type);
        if (word == 1) out = nc_fp4__json_net(l);
        if (word == 2) bits = nc_fp4__json_truth(t, truth);
        if (word != 3) continue;
        nc__json_expect(t, '[');
        for (element = 1; nc__json_more(t, ']', &element);) {
            if (inputs == 8)
                (void)nc__text_fail(t, NC_ERR_FORMAT, "an atom has at most eight inputs");
            else
                in[inputs++] = nc_fp4__json_net(l);
        }
    }
    if (!strcmp(type, "TABLE") ? bits != (size_t)1 << inputs
                               : !nc_fp4__json_type(type, inputs, truth))
        (void)nc__text_fail(t, NC_ERR_FORMAT, "no atom '%s' of %u inputs, or a table of %u values",
                            type, (unsigned)inputs, (unsigned)bits);
    if (out == UINT32_MAX) (void)nc__text_fail(t, NC_ERR_FORMAT, "the atom has no output");
    s = t->status == NC_OK ? nc_fp4__new_statement(l, m, t->line, 1) : NULL;
    if (!s) return;
    s->inputs = inputs;
    s->outputs = 1;
    s->rows = UINT32_MAX;
    memcpy(s->truth, truth, sizeof truth);
    for (i = 0; i < inputs; i++) nc_fp4__keep(t, &m->nets, in[i]);
    nc_fp4__keep(t, &m->nets, out);
    nc_fp4__drive(l, m, out, m->statements.count - 1, t->line, 1);
}

/* A member of the circuit. */
static void nc_fp4__json_member(nc_fp4__netlist *l, uint32_t *seen) {
    nc_fp4__model *m = l->models.at;
    char name[256];
    int first = 1;
    switch (nc_fp4__json_word(&l->t, "name inputs outputs internals atoms ", seen)) {
    case 0:
        nc_fp4__json_name(&l->t, name);
        m->name = nc_fp4__string(l, name, strlen(name));
        break;
    case 1: nc_fp4__json_names(l, &m->inputs); break;
    case 2: nc_fp4__json_names(l, &m->outputs); break;
    case 3: nc_fp4__json_names(l, NULL); break;
    case 4:
        nc__json_expect(&l->t, '[');
        while (nc__json_more(&l->t, ']', &first)) nc_fp4__json_atom(l);
        break;
    default: break;
    }
}

NC_API nc_status nc_fp4_read_json(nc_fp4_circuit **circuit, const char *text, size_t bytes,
                                  nc_error *err) {
    nc_fp4__netlist l;
    uint32_t i, seen = 0;
    int first = 1;
    memset(&l, 0, sizeof l);
    if (!nc_fp4__open_text(&l.t, circuit, text, bytes, err)) return NC_ERR_ARG;
    if (nc_fp4__new_model(&l, nc_fp4__string(&l, "circuit", 7), 0, 1)) {
        nc__json_expect(&l.t, '{');
        while (nc__json_more(&l.t, '}', &first)) nc_fp4__json_member(&l, &seen);
    }
    nc__skip_space(&l.t);
    if (l.t.at < l.t.end) (void)nc__text_fail(&l.t, NC_ERR_FORMAT, "text after the circuit");
    if (l.t.status == NC_OK) nc_fp4__place_ports(&l, l.models.at);
    for (i = 0; l.t.status == NC_OK && i < l.models.at->inputs.count; i++)
        if (l.models.at->driver.at[l.models.at->inputs.at[i]])
            (void)nc__text_fail(&l.t, NC_ERR_FORMAT,
                                "an input is driven, or has the name of a constant");
    if (l.t.status == NC_OK) (void)nc_fp4__build(&l, 0, circuit);
    nc_fp4__netlist_free(&l);
    return l.t.status;
}

/* -- AIGER (Biere 2007; Biere, Heljanko, Wieringa 2011) ---------------------------------------- */

/* A header: numbers of variables, inputs, latches, outputs and ANDs. */
typedef struct nc_fp4__aiger {
    nc_fp4__netlist l;
    uint32_t variables, inputs, latches, outputs, ands;
    int binary;
} nc_fp4__aiger;

/* A number and the mark behind it; 0 for the mark: any, which is left. */
static uint32_t nc_fp4__aiger_number(nc__text *t, uint32_t most, char mark) {
    uint32_t value;
    if (!nc__is_digit(nc__peek(t, 0))) (void)nc__text_fail(t, NC_ERR_FORMAT, "expected a number");
    value = (uint32_t)nc__json_natural(t, most);
    if (mark == '\n' && nc__peek(t, 0) == '\r') t->at++;
    if (mark && nc__peek(t, 0) != mark)
        (void)nc__text_fail(t, NC_ERR_FORMAT,
                            mark == '\n' ? "expected the end of the line" : "expected a blank");
    if (mark && t->status == NC_OK) nc__step(t);
    return value;
}

/* "aig M I L O A", and in version 1.9 numbers of properties, which have to be 0. */
static void nc_fp4__aiger_head(nc_fp4__aiger *a, size_t bytes) {
    nc__text *t = &a->l.t;
    const uint32_t most = NC_FP4__MAX_WIRES - 2;
    if (bytes < 4 || (memcmp(t->at, "aig ", 4) != 0 && memcmp(t->at, "aag ", 4) != 0)) {
        (void)nc__text_fail(t, NC_ERR_FORMAT, "expected 'aig' or 'aag'");
        return;
    }
    a->binary = t->at[1] == 'i';
    t->at += 4;
    a->variables = nc_fp4__aiger_number(t, most, ' ');
    a->inputs = nc_fp4__aiger_number(t, NC_FP4__MAX_INPUTS, ' ');
    a->latches = nc_fp4__aiger_number(t, NC_FP4__MAX_INPUTS, ' ');
    a->outputs = nc_fp4__aiger_number(t, NC_FP4__MAX_INPUTS, ' ');
    a->ands = nc_fp4__aiger_number(t, most, 0);
    while (nc__peek(t, 0) == ' ') {
        t->at++;
        if (nc_fp4__aiger_number(t, UINT32_MAX, 0) != 0)
            (void)nc__text_fail(t, NC_ERR_UNSUPPORTED, "properties: only circuits are read");
    }
    if (nc__peek(t, 0) == '\r') t->at++;
    if (nc__peek(t, 0) != '\n')
        (void)nc__text_fail(t, NC_ERR_FORMAT, "expected M I L O A");
    else if ((uint64_t)a->inputs + a->latches + a->ands > a->variables ||
             (a->binary && a->inputs + a->latches + a->ands < a->variables))
        (void)nc__text_fail(t, NC_ERR_FORMAT, "numbers that do not fit together");
    else if (a->variables - (a->binary ? a->inputs : 0) > 64 * (uint64_t)bytes)
        (void)nc__text_fail(t, NC_ERR_LIMIT, "more variables than the file can hold");
    nc__step(t);
}

/* Where a variable is read first, if nothing is known of it. */
static void nc_fp4__aiger_use(nc_fp4__netlist *l, uint32_t literal, size_t line) {
    uint32_t *known = &l->models.at->line.at[literal / 2];
    if (l->t.status == NC_OK && !*known) *known = (uint32_t)line;
}

/* A new net that shows a literal. */
static uint32_t nc_fp4__aiger_literal(nc_fp4__netlist *l, uint32_t literal) {
    nc_fp4__aiger_use(l, literal, l->t.line - 1);
    return nc_fp4__table_net(l, l->models.at, literal & 1 ? 1 : 2, 1, literal / 2, 0);
}

/* Latches: "literal next [start]", where start is 0, 1 or the latch itself. In binary files the
 * literal is left out. */
static void nc_fp4__aiger_latches(nc_fp4__aiger *a) {
    nc__text *t = &a->l.t;
    const uint32_t most = 2 * a->variables + 1;
    uint32_t i;
    if (a->latches && !a->l.options.frames)
        (void)nc__text_fail(t, NC_ERR_UNSUPPORTED,
                            "latches: only combinational circuits, unless clock cycles are to be "
                            "unrolled");
    for (i = 0; i < a->latches && t->status == NC_OK; i++) {
        nc_fp4__latch latch;
        uint32_t own = 2 * (a->inputs + 1 + i), next;
        latch.line = t->line;
        if (!a->binary) own = nc_fp4__aiger_number(t, most, ' ');
        next = nc_fp4__aiger_number(t, most, 0);
        latch.start = 0;
        if (nc__peek(t, 0) == ' ') {
            t->at++;
            latch.start = nc_fp4__aiger_number(t, most, '\n');
            if (latch.start > 1 && latch.start != own)
                (void)nc__text_fail(t, NC_ERR_FORMAT, "a latch starts with 0, 1 or itself");
            if (latch.start > 1) latch.start = 2;
        } else {
            if (nc__peek(t, 0) == '\r') t->at++;
            if (nc__peek(t, 0) != '\n') (void)nc__text_fail(t, NC_ERR_FORMAT, "expected a blank");
            nc__step(t);
        }
        if (own % 2) (void)nc__text_fail(t, NC_ERR_FORMAT, "a latch that is complemented");
        if (t->status != NC_OK) return;
        latch.shows = own / 2;
        latch.next = nc_fp4__aiger_literal(&a->l, next);
        if (!nc_fp4__latches_add(&a->l.models.at->latches, latch)) (void)nc_fp4__no_memory(t);
        if (nc_fp4__new_statement(&a->l, a->l.models.at, latch.line, 1))
            nc_fp4__drive(&a->l, a->l.models.at, latch.shows, a->l.models.at->statements.count - 1,
                          latch.line, 1);
    }
}

/* A difference of two literals: seven bits a byte, low ones first. */
static uint32_t nc_fp4__aiger_delta(nc__text *t) {
    uint32_t value = 0, shift = 0;
    for (;;) {
        const int c = nc__peek(t, 0);
        if (c < 0 || (shift == 28 && c > 15)) { /* of the fifth byte four bits are left */
            (void)nc__text_fail(t, NC_ERR_FORMAT,
                                c < 0 ? "the file ends within its ANDs"
                                      : "a difference that is too large");
            return 0;
        }
        t->at++;
        value |= (uint32_t)(c & 127) << shift;
        shift += 7;
        if (c < 128) return value;
    }
}

static void nc_fp4__aiger_ands(nc_fp4__aiger *a) {
    nc__text *t = &a->l.t;
    const uint32_t most = 2 * a->variables + 1;
    uint32_t i, own, x, y, in[2];
    for (i = 0; i < a->ands && t->status == NC_OK; i++) {
        const size_t line = t->line;
        if (a->binary) {
            own = 2 * (a->inputs + a->latches + 1 + i);
            x = nc_fp4__aiger_delta(t);
            y = nc_fp4__aiger_delta(t);
            if (x == 0 || x > own || y > own - x)
                (void)nc__text_fail(t, NC_ERR_FORMAT, "an AND that reads what comes later");
            x = own - x;
            y = x - y;
        } else {
            own = nc_fp4__aiger_number(t, most, ' ');
            x = nc_fp4__aiger_number(t, most, ' ');
            y = nc_fp4__aiger_number(t, most, '\n');
            if (own % 2 || own == 0)
                (void)nc__text_fail(t, NC_ERR_FORMAT, "an AND that is complemented");
        }
        nc_fp4__aiger_use(&a->l, x, line);
        nc_fp4__aiger_use(&a->l, y, line);
        in[0] = x / 2;
        in[1] = y / 2;
        nc_fp4__put_table(&a->l, a->l.models.at, 1u << ((x & 1 ? 0 : 1) + (y & 1 ? 0 : 2)), 2, in,
                          own / 2, line);
    }
}

/* "i0 name", "l0 name" or "o0 name" to the comment, which begins with a c of its own. */
static void nc_fp4__aiger_symbols(nc_fp4__aiger *a) {
    nc__text *t = &a->l.t;
    nc_fp4__model *m = a->l.models.at;
    while (t->status == NC_OK && t->at < t->end) {
        const int what = nc__peek(t, 0);
        const uint32_t count = what == 'i' ? a->inputs : what == 'l' ? a->latches : a->outputs;
        const char *name;
        uint32_t i, net;
        if (what == 'c' && !nc__is_digit(nc__peek(t, 1))) return;
        if (what != 'i' && what != 'l' && what != 'o') {
            (void)nc__text_fail(t, NC_ERR_FORMAT, "expected a symbol or a comment");
            return;
        }
        t->at++;
        i = nc_fp4__aiger_number(t, UINT32_MAX, ' ');
        if (i >= count) (void)nc__text_fail(t, NC_ERR_FORMAT, "a symbol of nothing");
        if (t->status != NC_OK) return;
        net = what == 'i'   ? m->inputs.at[i]
              : what == 'l' ? m->latches.at[i].shows
                            : m->outputs.at[i];
        for (name = t->at; t->at < t->end && *t->at != '\n'; t->at++) {
        }
        if (t->at > name) {
            const size_t n = (size_t)(t->at - name);
            m->net_names.at[net] = nc_fp4__string(&a->l, name, n - (name[n - 1] == '\r'));
        }
        nc__step(t);
    }
}

/* i0 i1 .., l0 .., o0 ..: names of what has no symbol. */
static char *nc_fp4__aiger_name(nc_fp4__aiger *a, char kind, uint32_t i) {
    char name[16];
    snprintf(name, sizeof name, "%c%u", kind, (unsigned)i);
    return nc_fp4__string(&a->l, name, strlen(name));
}

/* Everything: variable v is net v. */
static void nc_fp4__aiger_body(nc_fp4__aiger *a) {
    static char variable[] = "(variable)";
    nc__text *t = &a->l.t;
    nc_fp4__model *m = a->l.models.at;
    uint32_t i, literal;
    for (i = 0; i <= a->variables && t->status == NC_OK; i++)
        (void)nc_fp4__new_net(&a->l, m, variable);
    for (i = 0; i < m->line.count; i++) m->line.at[i] = 0; /* not yet known */
    nc_fp4__put_table(&a->l, m, 0, 0, NULL, 0, 1);
    for (i = 0; i < a->inputs && t->status == NC_OK; i++) {
        literal = a->binary ? 2 * (i + 1) : nc_fp4__aiger_number(t, 2 * a->variables + 1, '\n');
        if (literal % 2 || literal == 0)
            (void)nc__text_fail(t, NC_ERR_FORMAT, "an input that is complemented");
        if (t->status != NC_OK) return;
        m->net_names.at[literal / 2] = nc_fp4__aiger_name(a, 'i', i);
        m->line.at[literal / 2] = (uint32_t)t->line - 1;
        nc_fp4__keep(t, &m->inputs, literal / 2);
    }
    nc_fp4__aiger_latches(a);
    for (i = 0; i < m->latches.count; i++)
        m->net_names.at[m->latches.at[i].shows] = nc_fp4__aiger_name(a, 'l', i);
    for (i = 0; i < a->outputs && t->status == NC_OK; i++) {
        literal = nc_fp4__aiger_number(t, 2 * a->variables + 1, '\n');
        if (t->status != NC_OK) return;
        nc_fp4__keep(t, &m->outputs, nc_fp4__aiger_literal(&a->l, literal));
        m->net_names.at[m->net_names.count - 1] = nc_fp4__aiger_name(a, 'o', i);
    }
    nc_fp4__aiger_ands(a);
    nc_fp4__aiger_symbols(a);
}

static nc_status nc_fp4__read_aiger(nc_fp4_circuit **circuit, const nc_fp4_read_options *options,
                                    const char *text, size_t bytes, nc_error *err) {
    nc_fp4__aiger a;
    memset(&a, 0, sizeof a);
    if (!nc_fp4__open_netlist(&a.l, options, circuit, text, bytes, err)) return NC_ERR_ARG;
    a.l.options.top = NULL;
    nc_fp4__aiger_head(&a, bytes);
    if (a.l.t.status == NC_OK && nc_fp4__new_model(&a.l, nc_fp4__string(&a.l, "circuit", 7), 0, 1))
        nc_fp4__aiger_body(&a);
    nc_fp4__place_all(&a.l);
    nc_fp4__finish(&a.l);
    nc_fp4__build_top(&a.l, 0, circuit);
    nc_fp4__netlist_free(&a.l);
    return a.l.t.status;
}

NC_API nc_status nc_fp4_read_aiger(nc_fp4_circuit **circuit, const void *data, size_t bytes,
                                   nc_error *err) {
    return nc_fp4__read_aiger(circuit, NULL, (const char *)data, bytes, err);
}

/* -- structural Verilog (IEEE 1364-2005): modules, assignments, gates and instances ------------ */

/* A name that a module declares: nets first .. first + width - 1, bit 0 of the vector first. */
typedef struct nc_fp4__signal {
    char *name;
    uint32_t first, width, low; /* low: the index of bit 0 */
    int down;                   /* [7:0], not [0:7] */
    int port; /* 1 input, 2 output; -1: in the head alone, -2: without a direction yet */
    size_t line;
} nc_fp4__signal;

/* A part of an expression. Operands come before it: the first one, and from each the next. */
typedef struct nc_fp4__term {
    char what[4];         /* an operator, or one of the kinds below */
    uint32_t child, next; /* part + 1 */
    uint32_t width, nets; /* in bits; where they are in the list of nets */
    uint32_t from, count; /* of a selection; the times of a repetition */
    int plain;            /* a decimal number, or what is made of such: signed in Verilog */
} nc_fp4__term;

/* What joins a module's port to nets, until all modules are known. */
typedef struct nc_fp4__joint {
    uint32_t statement;
    char *port; /* null: by place */
    uint32_t place, nets, width;
    size_t line;
} nc_fp4__joint;

/* What is known of a module besides its netlist. */
typedef struct nc_fp4__module {
    nc__index known;
    uint32_t first_joint, joints; /* the first, and the one behind the last */
    nc_fp4__numbers ports;        /* signals, in the order of the head */
    int contained;                /* another module has it */
} nc_fp4__module;

NC_FP4__LIST(nc_fp4__signal, nc_fp4__signals)
NC_FP4__LIST(nc_fp4__term, nc_fp4__part_list)
NC_FP4__LIST(nc_fp4__joint, nc_fp4__joints)
NC_FP4__LIST(nc_fp4__module, nc_fp4__modules)

/* An operator that waits for its right side, or a bracket: a parenthesis, a concatenation, a
 * repetition. */
typedef struct nc_fp4__pending {
    char what[4];
    int binds;
    uint32_t operands; /* that lie below */
    uint32_t count;    /* of a repetition */
} nc_fp4__pending;
NC_FP4__LIST(nc_fp4__pending, nc_fp4__pendings)

typedef struct nc_fp4__verilog {
    nc_fp4__netlist l;
    nc_fp4__word token;
    /* of the token: 'n' name, 'e' escaped name, '0' number, 's' string, 'o' mark, 0 end */
    int kind;
    nc_fp4__model *m;
    nc_fp4__module *module;
    nc_fp4__modules modules; /* one for each model */
    nc_fp4__signals signals;
    nc_fp4__joints joints;
    nc_fp4__part_list parts;  /* of the expression that is read */
    nc_fp4__numbers operands; /* of it */
    nc_fp4__pendings pending; /* of it */
    nc_fp4__numbers nets;     /* of expressions and joints */
    uint32_t constant[2];     /* nets of the module, UINT32_MAX: not yet */
    uint32_t size;            /* bits that are declared, and gates of expressions */
} nc_fp4__verilog;

/* -- tokens -- */

static void nc_fp4__verilog_fail(nc_fp4__verilog *v, nc_status status, const char *what) {
    if (v->kind)
        nc_fp4__word_error(&v->l.t, &v->token, status, what);
    else
        (void)nc__text_fail(&v->l.t, status, "%s: the end of the text", what);
}

/* Blanks, comments, attributes (* .. *), and of the compiler's directives those that say nothing
 * about the circuit. */
static void nc_fp4__verilog_blank(nc__text *t) {
    static const char *const passed[] = {"`timescale", "`default_nettype", "`celldefine",
                                         "`endcelldefine", "`resetall"};
    for (nc__skip_space(t); t->status == NC_OK; nc__skip_space(t)) {
        const int c = nc__peek(t, 0), d = nc__peek(t, 1);
        if (c == '/' && d == '/') {
            while (nc__peek(t, 0) >= 0 && nc__peek(t, 0) != '\n') nc__step(t);
        } else if ((c == '/' && d == '*') || (c == '(' && d == '*' && nc__peek(t, 2) != ')')) {
            const char ends[2] = {'*', c == '/' ? '/' : ')'};
            t->at += 2;
            while (nc__peek(t, 0) >= 0 && (nc__peek(t, 0) != ends[0] || nc__peek(t, 1) != ends[1]))
                nc__step(t);
            if (nc__peek(t, 0) < 0)
                (void)nc__text_fail(t, NC_ERR_FORMAT, "a comment without an end");
            else
                t->at += 2;
        } else if (c == '`') {
            const char *start = t->at;
            nc_fp4__word w;
            size_t i;
            w.line = t->line;
            w.column = (size_t)(t->at - t->line_start) + 1;
            while (nc__peek(t, 0) > ' ') t->at++;
            w.text = start;
            w.length = (size_t)(t->at - start);
            for (i = 0; i < sizeof passed / sizeof *passed; i++)
                if (nc_fp4__is(&w, passed[i])) break;
            if (i == sizeof passed / sizeof *passed)
                nc_fp4__word_error(t, &w, NC_ERR_UNSUPPORTED, "no directives of a preprocessor");
            while (nc__peek(t, 0) >= 0 && nc__peek(t, 0) != '\n') nc__step(t);
        } else {
            return;
        }
    }
}

/* The next token into v->token and v->kind. */
static void nc_fp4__verilog_next(nc_fp4__verilog *v) {
    static const char *const marks[] = {"===", "!==", "<<<", ">>>", "==", "!=", "<=", ">=", "&&",
                                        "||",  "~&",  "~|",  "~^",  "^~", "<<", ">>", "**"};
    nc__text *t = &v->l.t;
    nc_fp4__word *w = &v->token;
    size_t i;
    int c;
    nc_fp4__verilog_blank(t);
    c = nc__peek(t, 0);
    w->text = t->at;
    w->line = t->line;
    w->column = (size_t)(t->at - t->line_start) + 1;
    w->length = 1;
    v->kind = 'o';
    if (c < 0) {
        v->kind = 0;
        w->length = 0;
    } else if (c == '\\') {
        v->kind = 'e';
        w->text = ++t->at;
        while (nc__peek(t, 0) > ' ') t->at++;
        w->length = (size_t)(t->at - w->text);
        if (!w->length) (void)nc__text_fail(t, NC_ERR_FORMAT, "an escaped name without letters");
    } else if (nc__is_letter(c) || c == '$') {
        v->kind = 'n';
        while (nc__is_letter(nc__peek(t, 0)) || nc__is_digit(nc__peek(t, 0)) ||
               nc__peek(t, 0) == '$')
            t->at++;
        w->length = (size_t)(t->at - w->text);
    } else if (nc__is_digit(c) || c == '\'') {
        v->kind = '0';
        while (nc__is_letter(nc__peek(t, 0)) || nc__is_digit(nc__peek(t, 0)) ||
               nc__peek(t, 0) == '\'')
            t->at++;
        w->length = (size_t)(t->at - w->text);
    } else if (c == '"') {
        v->kind = 's';
        for (t->at++; nc__peek(t, 0) > 0 && nc__peek(t, 0) != '"' && nc__peek(t, 0) != '\n';)
            t->at += nc__peek(t, 0) == '\\' && nc__peek(t, 1) > ' ' ? 2 : 1;
        if (nc__peek(t, 0) != '"') (void)nc__text_fail(t, NC_ERR_FORMAT, "a string without an end");
        if (t->status == NC_OK) t->at++;
        w->length = (size_t)(t->at - w->text);
    } else {
        for (i = 0; i < sizeof marks / sizeof *marks; i++) {
            const size_t n = strlen(marks[i]);
            if ((size_t)(t->end - t->at) >= n && !memcmp(t->at, marks[i], n)) {
                w->length = n;
                break;
            }
        }
        t->at += w->length;
    }
}

static int nc_fp4__verilog_at(const nc_fp4__verilog *v, const char *text) {
    return (v->kind == 'o' || v->kind == 'n') && nc_fp4__is(&v->token, text) &&
           v->l.t.status == NC_OK;
}

/* Take a mark or keyword if it is there. */
static int nc_fp4__verilog_take(nc_fp4__verilog *v, const char *text) {
    if (!nc_fp4__verilog_at(v, text)) return 0;
    nc_fp4__verilog_next(v);
    return 1;
}

static void nc_fp4__verilog_expect(nc_fp4__verilog *v, const char *text) {
    char what[40];
    snprintf(what, sizeof what, "expected '%s'", text);
    if (!nc_fp4__verilog_take(v, text)) nc_fp4__verilog_fail(v, NC_ERR_FORMAT, what);
}

/* A name, in the netlist's memory; null after a failure. */
static char *nc_fp4__verilog_name(nc_fp4__verilog *v) {
    char *name = NULL;
    if ((v->kind == 'n' && *v->token.text != '$') || v->kind == 'e')
        name = nc_fp4__string(&v->l, v->token.text, v->token.length);
    else
        nc_fp4__verilog_fail(v, NC_ERR_FORMAT, "expected a name");
    nc_fp4__verilog_next(v);
    return name;
}

/* A plain decimal number. */
static uint32_t nc_fp4__verilog_number(nc_fp4__verilog *v) {
    uint64_t value = 0;
    size_t i;
    for (i = 0; i < v->token.length && nc__is_digit(v->token.text[i]) && value <= UINT32_MAX; i++)
        value = 10 * value + (uint64_t)(v->token.text[i] - '0');
    if (v->kind != '0' || i < v->token.length)
        nc_fp4__verilog_fail(v, NC_ERR_FORMAT, "expected a decimal number");
    else if (value > NC_FP4__MAX_INPUTS)
        nc_fp4__verilog_fail(v, NC_ERR_LIMIT, "a number above 2^20");
    nc_fp4__verilog_next(v);
    return v->l.t.status == NC_OK ? (uint32_t)value : 0;
}

/* -- signals -- */

/* A few characters can stand for millions of gates or bits, so these are counted: 2^22 bits that
 * are declared and gates, and 2^24 bits of expressions. */
static int nc_fp4__verilog_room(nc_fp4__verilog *v, uint32_t more) {
    v->size += more;
    if (v->size > 1u << 22 || v->nets.count > 1u << 24)
        (void)nc__text_fail(&v->l.t, NC_ERR_LIMIT, "more than 2^22 gates or bits");
    return v->l.t.status == NC_OK;
}

/* The signal of a name in the module; UINT32_MAX: there is none. */
static uint32_t nc_fp4__find_signal(const nc_fp4__verilog *v, const nc_fp4__module *module,
                                    const char *name) {
    const uint32_t hash = (uint32_t)nc__fnv1a(NC__FNV_START, name, strlen(name));
    uint32_t id;
    size_t at = hash;
    while ((id = nc__index_next(&module->known, hash, &at)) != UINT32_MAX)
        if (!strcmp(v->signals.at[id].name, name)) break;
    return id;
}

/* Nets for a signal, named as in other formats: x, or x[3]. */
static void nc_fp4__signal_nets(nc_fp4__verilog *v, nc_fp4__signal *s, int scalar) {
    nc__buffer name;
    uint32_t i;
    memset(&name, 0, sizeof name);
    s->first = v->m->net_names.count;
    if (!nc_fp4__verilog_room(v, s->width)) return;
    v->l.line = s->line < UINT32_MAX ? (uint32_t)s->line : 0;
    for (i = 0; i < s->width && v->l.t.status == NC_OK; i++) {
        char *text;
        name.used = 0;
        nc__buffer_put(&name, s->name, strlen(s->name));
        if (!scalar)
            nc__buffer_print(&name, "[%u]",
                             (unsigned)(s->down ? s->low + i : s->low + s->width - 1 - i));
        if (name.status != NC_OK) {
            (void)nc_fp4__no_memory(&v->l.t);
            break;
        }
        text = nc_fp4__string(&v->l, name.data, name.used);
        if (text) (void)nc_fp4__new_net(&v->l, v->m, text);
    }
    v->l.line = 0;
    nc__buffer_free(&name);
}

/* A range [high:low], if there is one. 0: a scalar. */
static int nc_fp4__verilog_range(nc_fp4__verilog *v, nc_fp4__signal *s) {
    uint32_t left, right;
    s->width = 1;
    s->low = 0;
    s->down = 1;
    if (!nc_fp4__verilog_take(v, "[")) return 0;
    left = nc_fp4__verilog_number(v);
    nc_fp4__verilog_expect(v, ":");
    right = nc_fp4__verilog_number(v);
    nc_fp4__verilog_expect(v, "]");
    s->down = left >= right;
    s->low = s->down ? right : left;
    s->width = (s->down ? left - right : right - left) + 1;
    return 1;
}

/* Declare a signal, or say more about one: a port of the head, then input, then wire. Its
 * number. */
static uint32_t nc_fp4__declare(nc_fp4__verilog *v, const nc_fp4__signal *form, int scalar) {
    const uint32_t hash = (uint32_t)nc__fnv1a(NC__FNV_START, form->name, strlen(form->name));
    uint32_t id = nc_fp4__find_signal(v, v->module, form->name);
    if (id == UINT32_MAX) {
        nc_fp4__signal s = *form;
        id = v->signals.count;
        if (s.port >= 0) nc_fp4__signal_nets(v, &s, scalar);
        if (!nc_fp4__signals_add(&v->signals, s) || !nc__index_add(&v->module->known, hash, id))
            (void)nc_fp4__no_memory(&v->l.t);
    } else {
        nc_fp4__signal *s = &v->signals.at[id];
        if (s->port == -1) {
            s->width = form->width;
            s->low = form->low;
            s->down = form->down;
            nc_fp4__signal_nets(v, s, scalar);
            s->port = form->port ? form->port : -2;
        } else if (form->port && s->port == -2) {
            s->port = form->port;
        } else if (form->port) {
            (void)nc_fp4__fail_at(&v->l.t, NC_ERR_FORMAT, form->line, 1,
                                  "'%.64s' is declared twice, or no port of the head", form->name);
        }
        if (s->width != form->width || s->low != form->low || s->down != form->down)
            (void)nc_fp4__fail_at(&v->l.t, NC_ERR_FORMAT, form->line, 1,
                                  "'%.64s' has another range elsewhere, or is used before",
                                  form->name);
    }
    return id;
}

/* -- expressions -- */

/* A net that is 0 or 1. */
static uint32_t nc_fp4__verilog_constant(nc_fp4__verilog *v, int value) {
    if (v->constant[value] == UINT32_MAX)
        v->constant[value] = nc_fp4__table_net(&v->l, v->m, (uint32_t)value, 0, 0, 0);
    return v->constant[value];
}

/* A part, as an operand. Its children are the last `children` operands. */
static nc_fp4__term *nc_fp4__new_part(nc_fp4__verilog *v, const char *what, uint32_t children) {
    nc_fp4__term part, *p;
    uint32_t i;
    memset(&part, 0, sizeof part);
    snprintf(part.what, sizeof part.what, "%s", what);
    if (v->operands.count < children) {
        nc_fp4__verilog_fail(v, NC_ERR_FORMAT, "expected an operand");
        return NULL;
    }
    if (!nc_fp4__part_list_add(&v->parts, part)) {
        (void)nc_fp4__no_memory(&v->l.t);
        return NULL;
    }
    p = &v->parts.at[v->parts.count - 1];
    for (i = 0; i < children; i++) {
        const uint32_t child = v->operands.at[--v->operands.count];
        v->parts.at[child].next = p->child;
        p->child = child + 1;
    }
    nc_fp4__keep(&v->l.t, &v->operands, v->parts.count - 1);
    return v->l.t.status == NC_OK ? p : NULL;
}

/* Nets of a part that is a constant: digits of 1, 3 or 4 bits, the last one lowest. */
static void nc_fp4__verilog_digits(nc_fp4__verilog *v, const char *text, size_t n, uint32_t bits,
                                   uint32_t width) {
    uint32_t done = 0, k;
    while (n && v->l.t.status == NC_OK) {
        const int c = (unsigned char)text[--n], low = c | 32;
        uint32_t digit = 0;
        if (c == '_') continue;
        if (low == 'x' || low == 'z') {
            if (!v->l.options.undriven)
                nc_fp4__verilog_fail(v, NC_ERR_UNSUPPORTED, "a bit that is not 0 or 1");
        } else if (nc__is_digit(c) || (low >= 'a' && low <= 'f')) {
            digit = (uint32_t)(nc__is_digit(c) ? c - '0' : low - 'a' + 10);
        } else {
            digit = 16;
        }
        if (digit >> bits) nc_fp4__verilog_fail(v, NC_ERR_FORMAT, "a digit that is none");
        for (k = 0; k < bits && done < width; k++, done++)
            nc_fp4__keep(&v->l.t, &v->nets, nc_fp4__verilog_constant(v, digit >> k & 1));
    }
    for (; done < width && v->l.t.status == NC_OK; done++)
        nc_fp4__keep(&v->l.t, &v->nets, nc_fp4__verilog_constant(v, 0));
}

/* A number: 12, 4'b01_10, 8'hff, 'd3. */
static void nc_fp4__verilog_literal(nc_fp4__verilog *v) {
    const nc_fp4__word w = v->token;
    nc_fp4__term *p = nc_fp4__new_part(v, "net", 0);
    uint64_t value = 0, size = 0;
    size_t i;
    int base;
    if (!p) return;
    p->nets = v->nets.count;
    for (i = 0; i < w.length && (nc__is_digit(w.text[i]) || w.text[i] == '_'); i++) {
        if (w.text[i] != '_') size = 10 * size + (uint64_t)(w.text[i] - '0');
        if (size > UINT32_MAX) break;
    }
    p->plain = i == w.length;
    p->width = 32;
    if (!p->plain && w.text[i] == '\'' && i + 2 < w.length) {
        if (i) p->width = size > NC_FP4__MAX_INPUTS ? 0 : (uint32_t)size;
        base = w.text[i + 1] | 32;
        i += 2;
        if (p->width == 0) {
            nc_fp4__verilog_fail(v, NC_ERR_LIMIT, "a width of 0 or above 2^20");
        } else if (base == 's') {
            nc_fp4__verilog_fail(v, NC_ERR_UNSUPPORTED, "no signed numbers");
        } else if (base != 'd') {
            const uint32_t bits = base == 'b' ? 1 : base == 'o' ? 3 : base == 'h' ? 4 : 0;
            if (!bits) nc_fp4__verilog_fail(v, NC_ERR_FORMAT, "expected a number");
            nc_fp4__verilog_digits(v, w.text + i, w.length - i, bits ? bits : 1, p->width);
            nc_fp4__verilog_next(v);
            return;
        } else {
            for (; i < w.length && value <= UINT32_MAX; i++) {
                if (!nc__is_digit(w.text[i]) && w.text[i] != '_') break;
                if (w.text[i] != '_') value = 10 * value + (uint64_t)(w.text[i] - '0');
            }
        }
    } else {
        value = size;
    }
    if (i < w.length || value > UINT32_MAX)
        nc_fp4__verilog_fail(v, value > UINT32_MAX ? NC_ERR_LIMIT : NC_ERR_FORMAT,
                             "expected a number below 2^32");
    for (i = 0; i < p->width && v->l.t.status == NC_OK; i++)
        nc_fp4__keep(&v->l.t, &v->nets, nc_fp4__verilog_constant(v, i < 32 && (value >> i & 1)));
    nc_fp4__verilog_next(v);
}

/* A signal, or bits of one. An unknown name is a scalar, as Verilog has it. */
static void nc_fp4__verilog_signal(nc_fp4__verilog *v) {
    nc_fp4__signal form;
    const nc_fp4__signal *s;
    nc_fp4__term *p;
    uint32_t id, left, right, i;
    memset(&form, 0, sizeof form);
    form.line = v->token.line;
    form.width = 1;
    form.down = 1;
    form.name = nc_fp4__verilog_name(v);
    if (!form.name) return;
    id = nc_fp4__find_signal(v, v->module, form.name);
    if (id == UINT32_MAX) id = nc_fp4__declare(v, &form, 1);
    if (v->l.t.status != NC_OK) return;
    s = &v->signals.at[id];
    left = s->width - 1;
    right = 0;
    if (s->port == -1)
        nc_fp4__verilog_fail(v, NC_ERR_FORMAT, "a port that is not declared yet, before");
    if (nc_fp4__verilog_take(v, "[")) {
        const uint32_t last = s->low + s->width - 1;
        left = right = nc_fp4__verilog_number(v);
        if (nc_fp4__verilog_take(v, ":")) right = nc_fp4__verilog_number(v);
        nc_fp4__verilog_expect(v, "]");
        if (left < s->low || left > last || right < s->low || right > last ||
            (s->down ? left < right : left > right))
            (void)nc_fp4__fail_at(&v->l.t, NC_ERR_FORMAT, form.line, 1,
                                  "bits that '%.64s' does not have", form.name);
        left = s->down ? left - s->low : last - left;
        right = s->down ? right - s->low : last - right;
    }
    p = v->l.t.status == NC_OK ? nc_fp4__new_part(v, "net", 0) : NULL;
    if (!p) return;
    p->width = left - right + 1;
    p->nets = v->nets.count;
    for (i = right; i <= left; i++) nc_fp4__keep(&v->l.t, &v->nets, s->first + i);
}

/* Binary operators, the loosest first; those of one line of the standard bind alike. */
static int nc_fp4__verilog_binds(const char *what) {
    static const struct {
        char what[4];
        int binds;
    } table[] = {{"||", 2},  {"&&", 3}, {"|", 4},  {"^", 5},   {"~^", 5},  {"^~", 5},
                 {"&", 6},   {"==", 7}, {"!=", 7}, {"===", 7}, {"!==", 7}, {"<", 8},
                 {"<=", 8},  {">", 8},  {">=", 8}, {"<<", 9},  {">>", 9},  {"<<<", 9},
                 {">>>", 9}, {"+", 10}, {"-", 10}, {"*", 11}};
    size_t i;
    for (i = 0; i < sizeof table / sizeof *table; i++)
        if (!strcmp(what, table[i].what)) return table[i].binds;
    return 0;
}

/* Make parts of the operators that wait and bind at least so tightly. A bracket binds with 0. */
static void nc_fp4__verilog_apply(nc_fp4__verilog *v, int least) {
    while (v->pending.count && v->l.t.status == NC_OK) {
        const nc_fp4__pending *p = &v->pending.at[v->pending.count - 1];
        const int unary = *p->what == 'u';
        if (p->binds < least || p->binds == 0) return;
        v->pending.count--;
        if (v->operands.count < p->operands + (unary ? 1 : *p->what == '?' ? 3 : 2))
            nc_fp4__verilog_fail(v, NC_ERR_FORMAT, "expected an operand");
        else
            (void)nc_fp4__new_part(v, p->what, unary ? 1 : *p->what == '?' ? 3 : 2);
    }
}

static void nc_fp4__verilog_push(nc_fp4__verilog *v, const char *what, int binds) {
    nc_fp4__pending p;
    memset(&p, 0, sizeof p);
    snprintf(p.what, sizeof p.what, "%s", what);
    p.binds = binds;
    p.operands = v->operands.count;
    if (*what != 'u' && binds) p.operands--; /* the left side */
    if (!nc_fp4__pendings_add(&v->pending, p)) (void)nc_fp4__no_memory(&v->l.t);
}

/* Close a bracket: the operands since it was opened are one, in braces of any number. */
static void nc_fp4__verilog_close(nc_fp4__verilog *v, const char *open) {
    nc_fp4__pending p;
    uint32_t n;
    nc_fp4__verilog_apply(v, 1);
    if (!v->pending.count || v->pending.at[v->pending.count - 1].binds ||
        *v->pending.at[v->pending.count - 1].what != *open) {
        nc_fp4__verilog_fail(v, NC_ERR_FORMAT, "a bracket that was not opened");
        return;
    }
    p = v->pending.at[--v->pending.count];
    n = v->operands.count - p.operands;
    if (n == 0 || (*open == '(' && n != 1)) {
        nc_fp4__verilog_fail(v, NC_ERR_FORMAT, "expected an operand");
    } else if (*open == '{') {
        nc_fp4__term *part = nc_fp4__new_part(v, "{}", n);
        if (part) part->count = p.count ? p.count : 1;
    }
}

/* What stands where an operand is wanted; 1 when it is a whole one. */
static int nc_fp4__verilog_operand(nc_fp4__verilog *v) {
    static const char *const unary[] = {"~", "!", "&", "|", "^", "~&", "~|", "~^", "^~", "-", "+"};
    char what[4] = "u";
    size_t i;
    if (!nc_fp4__verilog_room(v, 0)) return 1;
    if (v->kind == '0') {
        nc_fp4__verilog_literal(v);
        return 1;
    }
    if (v->kind == 'e' || (v->kind == 'n' && *v->token.text != '$')) {
        nc_fp4__verilog_signal(v);
        return 1;
    }
    if (nc_fp4__verilog_take(v, "(")) {
        nc_fp4__verilog_push(v, "(", 0);
        return 0;
    }
    if (nc_fp4__verilog_take(v, "{")) {
        nc_fp4__verilog_push(v, "{", 0);
        /* {4{..}}: the number is followed by a brace */
        if (v->kind == '0') {
            const nc__text kept = v->l.t;
            const nc_fp4__word token = v->token;
            nc_fp4__verilog_next(v);
            if (nc_fp4__verilog_at(v, "{")) {
                v->l.t = kept;
                v->token = token;
                v->kind = '0';
                i = nc_fp4__verilog_number(v);
                if (i == 0) nc_fp4__verilog_fail(v, NC_ERR_FORMAT, "repeated 0 times");
                if (v->l.t.status == NC_OK) v->pending.at[v->pending.count - 1].count = (uint32_t)i;
                nc_fp4__verilog_next(v);
                nc_fp4__verilog_push(v, "{", 0);
            } else if (v->l.t.status == NC_OK) {
                v->l.t = kept;
                v->token = token;
                v->kind = '0';
            }
        }
        return 0;
    }
    for (i = 0; i < sizeof unary / sizeof *unary; i++)
        if (nc_fp4__verilog_at(v, unary[i])) {
            memcpy(what + 1, unary[i], strlen(unary[i]) + 1);
            nc_fp4__verilog_push(v, what, 12);
            nc_fp4__verilog_next(v);
            return 0;
        }
    nc_fp4__verilog_fail(v, v->kind == 'n' ? NC_ERR_UNSUPPORTED : NC_ERR_FORMAT,
                         "expected an operand");
    return 1;
}

/* Read an expression up to what cannot belong to it: its last part + 1, 0 after a failure. */
static uint32_t nc_fp4__verilog_read(nc_fp4__verilog *v) {
    char what[4];
    v->parts.count = v->operands.count = v->pending.count = 0;
    for (;;) {
        while (v->l.t.status == NC_OK && !nc_fp4__verilog_operand(v)) {
        }
        for (;;) { /* behind an operand */
            int binds, open = v->pending.count != 0;
            if (v->l.t.status != NC_OK) return 0;
            snprintf(what, sizeof what, "%.*s", v->token.length < 4 ? (int)v->token.length : 0,
                     v->token.text);
            binds = v->kind == 'o' ? nc_fp4__verilog_binds(what) : 0;
            if (binds) {
                nc_fp4__verilog_apply(v, binds);
                nc_fp4__verilog_push(v, what, binds);
                break;
            }
            if (nc_fp4__verilog_at(v, "?")) { /* to the right: it waits for its colon */
                nc_fp4__verilog_apply(v, 2);
                nc_fp4__verilog_push(v, "q", 0);
                if (v->l.t.status == NC_OK) v->pending.at[v->pending.count - 1].operands--;
                break;
            }
            if (nc_fp4__verilog_at(v, ":") && open) {
                nc_fp4__verilog_apply(v, 1);
                if (v->pending.count && *v->pending.at[v->pending.count - 1].what == 'q') {
                    snprintf(v->pending.at[v->pending.count - 1].what, 4, "?");
                    v->pending.at[v->pending.count - 1].binds = 1;
                    break;
                }
            }
            if (nc_fp4__verilog_at(v, ",") && open) {
                nc_fp4__verilog_apply(v, 1);
                if (v->pending.count && *v->pending.at[v->pending.count - 1].what == '{') break;
            }
            if (nc_fp4__verilog_at(v, "}") && open) {
                nc_fp4__verilog_close(v, "{");
            } else if (nc_fp4__verilog_at(v, ")")) {
                nc_fp4__verilog_apply(v, 1);
                if (!v->pending.count) return v->operands.at[0] + 1;
                nc_fp4__verilog_close(v, "(");
            } else {
                nc_fp4__verilog_apply(v, 1);
                if (v->pending.count || v->operands.count != 1)
                    nc_fp4__verilog_fail(v, NC_ERR_FORMAT, "expected an operator or a bracket");
                return v->l.t.status == NC_OK ? v->operands.at[0] + 1 : 0;
            }
            nc_fp4__verilog_next(v);
        }
        nc_fp4__verilog_next(v);
    }
}

/* -- what expressions are worth -- */

static nc_fp4__term *nc_fp4__part_at(const nc_fp4__verilog *v, uint32_t part) {
    return &v->parts.at[part - 1];
}

/* Is the operator one whose operands are as wide as its value? */
static int nc_fp4__part_wide(const nc_fp4__term *p) {
    static const char *const wide[] = {"u~", "u-", "u+", "&", "|", "^", "~^", "^~", "+", "-", "*"};
    size_t i;
    for (i = 0; i < sizeof wide / sizeof *wide; i++)
        if (!strcmp(p->what, wide[i])) return 1;
    return 0;
}

static int nc_fp4__part_compares(const nc_fp4__term *p) {
    return *p->what == '=' || *p->what == '!' ||
           ((*p->what == '<' || *p->what == '>') && p->what[1] != *p->what);
}

/* The width that a part has by itself (IEEE 1364-2005, table 5-22), from its operands'. */
static void nc_fp4__part_width(nc_fp4__verilog *v, nc_fp4__term *p) {
    uint32_t child, most = 0, n = 0, plain = 0, last = 0, first = 0;
    uint64_t sum = 0;
    for (child = p->child; child; child = nc_fp4__part_at(v, child)->next, n++) {
        last = nc_fp4__part_at(v, child)->width;
        if (!n) first = last;
        if (last > most && (*p->what != '?' || n)) most = last;
        sum += last;
        plain += nc_fp4__part_at(v, child)->plain != 0;
    }
    if (!n) return;
    if (*p->what == '{') {
        if (plain) nc_fp4__verilog_fail(v, NC_ERR_FORMAT, "a number without a width in braces");
        sum *= p->count;
        if (sum > NC_FP4__MAX_INPUTS) nc_fp4__verilog_fail(v, NC_ERR_LIMIT, "more than 2^20 bits");
        p->width = (uint32_t)sum;
    } else if (plain == n) {
        nc_fp4__verilog_fail(v, NC_ERR_UNSUPPORTED, "no arithmetic on numbers without a width");
    } else if (nc_fp4__part_wide(p) || *p->what == '?') {
        p->width = most;
    } else if (!nc_fp4__part_compares(p) && (*p->what == '<' || *p->what == '>')) {
        p->width = first;
    } else {
        p->width = 1;
    }
}

/* Operands become as wide as what they stand in. */
static void nc_fp4__part_context(nc_fp4__verilog *v, const nc_fp4__term *p) {
    const int wide = nc_fp4__part_wide(p), compares = nc_fp4__part_compares(p);
    const int shifts = !compares && (*p->what == '<' || *p->what == '>');
    uint32_t child, n = 0, most = 0;
    for (child = p->child; child; child = nc_fp4__part_at(v, child)->next)
        if (nc_fp4__part_at(v, child)->width > most) most = nc_fp4__part_at(v, child)->width;
    for (child = p->child; child; child = nc_fp4__part_at(v, child)->next, n++) {
        nc_fp4__term *c = nc_fp4__part_at(v, child);
        if (wide || (shifts && n == 0) || (*p->what == '?' && n)) c->width = p->width;
        if (compares) c->width = most;
    }
}

/* A new net that is a function of others, one of which may be UINT32_MAX where it does not
 * count. */
static uint32_t nc_fp4__new_gate(nc_fp4__verilog *v, uint32_t truth, uint32_t a, uint32_t b,
                                 uint32_t c) {
    uint32_t in[3];
    in[0] = a;
    in[1] = b;
    in[2] = c;
    if (!nc_fp4__verilog_room(v, 1)) return 0;
    return nc_fp4__table_of(&v->l, v->m, truth, c != UINT32_MAX ? 3 : b != UINT32_MAX ? 2 : 1, in);
}

/* Bit i of a part, 0 beyond its own and of none. */
static uint32_t nc_fp4__part_bit(nc_fp4__verilog *v, const nc_fp4__term *p, uint32_t i) {
    return p && i < p->from && v->l.t.status == NC_OK ? v->nets.at[p->nets + i]
                                                      : nc_fp4__verilog_constant(v, 0);
}

/* All bits of a part by a function of two: 1 for none. */
static uint32_t nc_fp4__part_reduce(nc_fp4__verilog *v, const nc_fp4__term *p, uint32_t truth) {
    uint32_t all = nc_fp4__part_bit(v, p, 0), i;
    for (i = 1; p && i < p->width && v->l.t.status == NC_OK; i++)
        all = nc_fp4__new_gate(v, truth, all, nc_fp4__part_bit(v, p, i), UINT32_MAX);
    return all;
}

/* a + b + carry, or a - b with the second operand complemented and a carry of 1, bit by bit. */
static void nc_fp4__part_add(nc_fp4__verilog *v, const nc_fp4__term *p, const nc_fp4__term *a,
                             const nc_fp4__term *b, int minus) {
    uint32_t carry = nc_fp4__verilog_constant(v, minus), i;
    for (i = 0; i < p->width && v->l.t.status == NC_OK; i++) {
        const uint32_t x = a ? nc_fp4__part_bit(v, a, i) : nc_fp4__verilog_constant(v, 0);
        const uint32_t y = nc_fp4__part_bit(v, b, i);
        nc_fp4__keep(&v->l.t, &v->nets, nc_fp4__new_gate(v, minus ? 0x69 : 0x96, x, y, carry));
        carry = nc_fp4__new_gate(v, minus ? 0xB2 : 0xE8, x, y, carry);
    }
}

/* a < b, or a <= b where `equal` is what no bits at all give. */
static uint32_t nc_fp4__part_less(nc_fp4__verilog *v, const nc_fp4__term *a, const nc_fp4__term *b,
                                  int equal) {
    uint32_t less = nc_fp4__verilog_constant(v, equal), i;
    for (i = 0; a && i < a->width && v->l.t.status == NC_OK; i++)
        less =
            nc_fp4__new_gate(v, 0xD4, nc_fp4__part_bit(v, a, i), nc_fp4__part_bit(v, b, i), less);
    return less;
}

/* Stages of a shifter, one for each bit of the distance. The last one's bits are the value. */
static void nc_fp4__part_shift(nc_fp4__verilog *v, nc_fp4__term *p, const nc_fp4__term *a,
                               const nc_fp4__term *by, int left) {
    const uint32_t width = p->width;
    uint32_t k, i, from = v->nets.count;
    for (i = 0; i < width; i++) nc_fp4__keep(&v->l.t, &v->nets, nc_fp4__part_bit(v, a, i));
    for (k = 0; k < by->width && v->l.t.status == NC_OK; k++) {
        const uint32_t bit = nc_fp4__part_bit(v, by, k), zero = nc_fp4__verilog_constant(v, 0);
        const uint64_t step = k < 32 ? (uint64_t)1 << k : UINT64_C(1) << 32;
        const uint32_t to = v->nets.count;
        if (bit == zero) continue;
        for (i = 0; i < width && v->l.t.status == NC_OK; i++) {
            const int inside = left ? i >= step : i + step < width;
            const uint32_t moved =
                !inside ? zero
                        : v->nets.at[from + (left ? i - (uint32_t)step : i + (uint32_t)step)];
            const uint32_t kept = v->nets.at[from + i];
            nc_fp4__keep(&v->l.t, &v->nets,
                         bit == v->constant[1] ? moved
                                               : nc_fp4__new_gate(v, 0xCA, kept, moved, bit));
        }
        from = to;
    }
    p->nets = from;
}

/* Rows of a product, each added to those before. */
static void nc_fp4__part_times(nc_fp4__verilog *v, nc_fp4__term *p, const nc_fp4__term *a,
                               const nc_fp4__term *b) {
    const uint32_t width = p->width, zero = nc_fp4__verilog_constant(v, 0);
    uint32_t k, i;
    if (width > 256) nc_fp4__verilog_fail(v, NC_ERR_LIMIT, "a product of more than 256 bits");
    p->nets = v->nets.count;
    for (i = 0; i < width; i++) nc_fp4__keep(&v->l.t, &v->nets, zero);
    for (k = 0; k < width && v->l.t.status == NC_OK; k++) {
        const uint32_t bit = nc_fp4__part_bit(v, b, k);
        uint32_t carry = zero;
        if (bit == zero) continue;
        for (i = k; i < width && v->l.t.status == NC_OK; i++) {
            const uint32_t sum = v->nets.at[p->nets + i];
            const uint32_t x =
                nc_fp4__new_gate(v, 8, nc_fp4__part_bit(v, a, i - k), bit, UINT32_MAX);
            v->nets.at[p->nets + i] = nc_fp4__new_gate(v, 0x96, sum, x, carry);
            carry = nc_fp4__new_gate(v, 0xE8, sum, x, carry);
        }
    }
}

/* The bits of {..}, the last operand lowest, so many times. */
static void nc_fp4__part_join(nc_fp4__verilog *v, nc_fp4__term *p) {
    const uint32_t once = p->from / p->count;
    uint32_t child, end = once, i;
    for (i = 0; i < once; i++) nc_fp4__keep(&v->l.t, &v->nets, 0);
    for (child = p->child; child && v->l.t.status == NC_OK;
         child = nc_fp4__part_at(v, child)->next) {
        const nc_fp4__term *c = nc_fp4__part_at(v, child);
        end -= c->width;
        for (i = 0; i < c->width; i++) v->nets.at[p->nets + end + i] = nc_fp4__part_bit(v, c, i);
    }
    for (i = once; i < p->from && v->l.t.status == NC_OK; i++)
        nc_fp4__keep(&v->l.t, &v->nets, v->nets.at[p->nets + i - once]);
}

/* A value of one bit. */
static uint32_t nc_fp4__part_single(nc_fp4__verilog *v, const nc_fp4__term *p,
                                    const nc_fp4__term *a, const nc_fp4__term *b) {
    const char c = *p->what, d = p->what[1];
    uint32_t one, other, i;
    if (c == 'u') { /* reductions, not */
        const int negates = d == '!' || p->what[2];
        const char by = d == '~' ? p->what[2] : d == '^' && p->what[2] ? '^' : d;
        one = nc_fp4__part_reduce(v, a, by == '&' ? 8 : by == '^' ? 6 : 14);
        return negates ? nc_fp4__new_gate(v, 1, one, UINT32_MAX, UINT32_MAX) : one;
    }
    if (c == '&' || c == '|') { /* && || */
        one = nc_fp4__part_reduce(v, a, 14);
        other = nc_fp4__part_reduce(v, b, 14);
        return nc_fp4__new_gate(v, c == '&' ? 8 : 14, one, other, UINT32_MAX);
    }
    if (c == '<') return nc_fp4__part_less(v, a, b, d == '=');
    if (c == '>') return nc_fp4__part_less(v, b, a, d == '=');
    one = nc_fp4__verilog_constant(v, 1);
    for (i = 0; i < a->width && v->l.t.status == NC_OK; i++) {
        other = nc_fp4__new_gate(v, 9, nc_fp4__part_bit(v, a, i), nc_fp4__part_bit(v, b, i),
                                 UINT32_MAX);
        one = nc_fp4__new_gate(v, 8, one, other, UINT32_MAX);
    }
    return c == '!' ? nc_fp4__new_gate(v, 1, one, UINT32_MAX, UINT32_MAX) : one;
}

/* The nets of a part, whose operands have theirs. */
static void nc_fp4__part_value(nc_fp4__verilog *v, nc_fp4__term *p) {
    const nc_fp4__term *a = nc_fp4__part_at(v, p->child);
    const nc_fp4__term *b = a->next ? nc_fp4__part_at(v, a->next) : NULL;
    const nc_fp4__term *c = b && b->next ? nc_fp4__part_at(v, b->next) : NULL;
    const char *w = p->what;
    uint32_t i, truth;
    p->nets = v->nets.count;
    if (*w != '{') p->from = p->width;
    if (*w == '{') {
        nc_fp4__part_join(v, p);
    } else if (b && !nc_fp4__part_compares(p) && (*w == '<' || *w == '>')) {
        nc_fp4__part_shift(v, p, a, b, *w == '<');
    } else if (!strcmp(w, "*")) {
        nc_fp4__part_times(v, p, a, b);
    } else if (!strcmp(w, "+") || !strcmp(w, "-")) {
        nc_fp4__part_add(v, p, a, b, *w == '-');
    } else if (!strcmp(w, "u-")) {
        nc_fp4__part_add(v, p, NULL, a, 1);
    } else if (*w == '?') {
        truth = nc_fp4__part_reduce(v, a, 14);
        p->nets = v->nets.count;
        for (i = 0; i < p->width && v->l.t.status == NC_OK; i++)
            nc_fp4__keep(&v->l.t, &v->nets,
                         nc_fp4__new_gate(v, 0xCA, nc_fp4__part_bit(v, c, i),
                                          nc_fp4__part_bit(v, b, i), truth));
    } else if (nc_fp4__part_wide(p)) {
        truth = *w == '&' ? 8 : *w == '|' ? 14 : !strcmp(w, "^") ? 6 : 9;
        if (*w == 'u') truth = w[1] == '~' ? 1 : 2;
        for (i = 0; i < p->width && v->l.t.status == NC_OK; i++)
            nc_fp4__keep(&v->l.t, &v->nets,
                         nc_fp4__new_gate(v, truth, nc_fp4__part_bit(v, a, i),
                                          b ? nc_fp4__part_bit(v, b, i) : UINT32_MAX, UINT32_MAX));
    } else {
        i = nc_fp4__part_single(v, p, a, b);
        p->nets = v->nets.count;
        p->from = 1;
        nc_fp4__keep(&v->l.t, &v->nets, i);
    }
}

/* The value of the expression that was read, at least so wide: its first place in the list of nets,
 * and its width. 0 width after a failure. */
static uint32_t nc_fp4__verilog_value(nc_fp4__verilog *v, uint32_t root, uint32_t least,
                                      uint32_t *width) {
    nc_fp4__term *p;
    uint32_t i, at;
    *width = 0;
    for (i = 1; i <= v->parts.count && v->l.t.status == NC_OK; i++) {
        p = nc_fp4__part_at(v, i);
        nc_fp4__part_width(v, p);
        p->from = p->width;
    }
    if (v->l.t.status != NC_OK || !root) return 0;
    p = nc_fp4__part_at(v, root);
    if (p->width < least) p->width = least;
    for (i = v->parts.count; i; i--) nc_fp4__part_context(v, nc_fp4__part_at(v, i));
    v->l.line = v->token.line < UINT32_MAX ? (uint32_t)v->token.line : 0;
    for (i = 1; i <= v->parts.count && v->l.t.status == NC_OK; i++)
        if (nc_fp4__part_at(v, i)->child) nc_fp4__part_value(v, nc_fp4__part_at(v, i));
    p = nc_fp4__part_at(v, root);
    at = p->nets;
    if (p->from < p->width && v->l.t.status == NC_OK) { /* wider than what it names */
        const uint32_t own = p->from;
        at = v->nets.count;
        for (i = 0; i < p->width && v->l.t.status == NC_OK; i++)
            nc_fp4__keep(&v->l.t, &v->nets,
                         i < own ? v->nets.at[p->nets + i] : nc_fp4__verilog_constant(v, 0));
    }
    v->l.line = 0;
    *width = v->l.t.status == NC_OK ? p->width : 0;
    return at;
}

/* Read an expression and give its value. */
static uint32_t nc_fp4__verilog_nets(nc_fp4__verilog *v, uint32_t least, uint32_t *width) {
    const uint32_t root = nc_fp4__verilog_read(v);
    return nc_fp4__verilog_value(v, root, least, width);
}

/* What can stand to the left of =: names, bits, and these in braces. */
static uint32_t nc_fp4__verilog_target(nc_fp4__verilog *v, uint32_t *width) {
    const nc_fp4__word start = v->token;
    const uint32_t root = nc_fp4__verilog_read(v);
    uint32_t i;
    for (i = 0; i < v->parts.count; i++)
        if ((strcmp(v->parts.at[i].what, "net") != 0 && v->parts.at[i].count != 1) ||
            v->parts.at[i].plain)
            nc_fp4__word_error(&v->l.t, &start, NC_ERR_FORMAT, "cannot be assigned");
    return nc_fp4__verilog_value(v, root, 0, width);
}

/* -- statements -- */

/* #1 or #(1, 2): delays, which say nothing about the function. */
static void nc_fp4__verilog_delay(nc_fp4__verilog *v) {
    if (!nc_fp4__verilog_take(v, "#")) return;
    if (nc_fp4__verilog_take(v, "("))
        while (v->kind && v->l.t.status == NC_OK && !nc_fp4__verilog_at(v, ")"))
            nc_fp4__verilog_next(v);
    nc_fp4__verilog_next(v);
}

/* Nets show others. */
static void nc_fp4__verilog_drive(nc_fp4__verilog *v, uint32_t to, uint32_t from, uint32_t width,
                                  size_t line) {
    uint32_t i, source;
    for (i = 0; i < width && v->l.t.status == NC_OK; i++) {
        source = v->nets.at[from + i];
        nc_fp4__put_table(&v->l, v->m, 2, 1, &source, v->nets.at[to + i], line);
    }
}

/* assign left = right, ..; */
static void nc_fp4__verilog_assign(nc_fp4__verilog *v) {
    nc_fp4__verilog_next(v);
    nc_fp4__verilog_delay(v);
    do {
        const size_t line = v->token.line;
        uint32_t to, from, width, other;
        to = nc_fp4__verilog_target(v, &width);
        nc_fp4__verilog_expect(v, "=");
        from = nc_fp4__verilog_nets(v, width, &other);
        nc_fp4__verilog_drive(v, to, from, width, line);
    } while (nc_fp4__verilog_take(v, ","));
    nc_fp4__verilog_expect(v, ";");
}

/* input, output, wire, reg ..: the words before the names. Which port: 1, 2, or 0. */
static void nc_fp4__verilog_form(nc_fp4__verilog *v, nc_fp4__signal *form, int *scalar,
                                 int *constant) {
    memset(form, 0, sizeof *form);
    *constant = nc_fp4__verilog_at(v, "supply0") ? 0 : nc_fp4__verilog_at(v, "supply1") ? 1 : -1;
    form->port = nc_fp4__verilog_at(v, "input") ? 1 : nc_fp4__verilog_at(v, "output") ? 2 : 0;
    do nc_fp4__verilog_next(v);
    while (nc_fp4__verilog_at(v, "wire") || nc_fp4__verilog_at(v, "reg") ||
           nc_fp4__verilog_at(v, "logic"));
    if (nc_fp4__verilog_at(v, "signed"))
        nc_fp4__verilog_fail(v, NC_ERR_UNSUPPORTED, "no signed names");
    *scalar = !nc_fp4__verilog_range(v, form) || (form->width == 1 && !form->low); /* as yosys */
}

static int nc_fp4__verilog_declares(const nc_fp4__verilog *v) {
    static const char *const words[] = {"input", "output", "wire",    "reg",
                                        "logic", "tri",    "supply0", "supply1"};
    size_t i;
    for (i = 0; i < sizeof words / sizeof *words; i++)
        if (nc_fp4__verilog_at(v, words[i])) return 1;
    return 0;
}

/* A declaration; wire x = a & b; is one with an assignment. */
static void nc_fp4__verilog_declaration(nc_fp4__verilog *v) {
    nc_fp4__signal form;
    int scalar, constant;
    nc_fp4__verilog_form(v, &form, &scalar, &constant);
    nc_fp4__verilog_delay(v);
    do {
        uint32_t id, i, from = 0, to = v->nets.count, width;
        form.line = v->token.line;
        form.name = nc_fp4__verilog_name(v);
        if (!form.name) return;
        id = nc_fp4__declare(v, &form, scalar);
        if (v->l.t.status != NC_OK) return;
        if (constant < 0 && !nc_fp4__verilog_at(v, "=")) continue;
        for (i = 0; i < form.width; i++)
            nc_fp4__keep(&v->l.t, &v->nets, v->signals.at[id].first + i);
        if (constant >= 0) {
            from = v->nets.count;
            for (i = 0; i < form.width; i++)
                nc_fp4__keep(&v->l.t, &v->nets, nc_fp4__verilog_constant(v, constant));
        } else {
            nc_fp4__verilog_next(v);
            from = nc_fp4__verilog_nets(v, form.width, &width);
        }
        nc_fp4__verilog_drive(v, to, from, form.width, form.line);
    } while (nc_fp4__verilog_take(v, ","));
    nc_fp4__verilog_expect(v, ";");
}

/* Gates of the language: out, in, in ..; buf and not: out, out .., in. */
static const struct {
    char name[8];
    uint8_t truth, inverts; /* of two inputs; 0: of one */
} nc_fp4__primitives[] = {{"and", 8, 0}, {"nand", 8, 1}, {"or", 14, 0}, {"nor", 14, 1},
                          {"xor", 6, 0}, {"xnor", 6, 1}, {"buf", 0, 0}, {"not", 0, 1}};
enum { NC_FP4__PRIMITIVES = sizeof nc_fp4__primitives / sizeof *nc_fp4__primitives };

static void nc_fp4__verilog_primitive(nc_fp4__verilog *v, uint32_t which) {
    const int wide = nc_fp4__primitives[which].truth != 0;
    const uint32_t inverts = nc_fp4__primitives[which].inverts;
    nc_fp4__verilog_next(v);
    nc_fp4__verilog_delay(v);
    do {
        nc_fp4__numbers pins = {NULL, 0, 0, NULL};
        const size_t line = v->token.line;
        uint32_t i, width, at, all;
        if (v->kind == 'n' || v->kind == 'e') nc_fp4__verilog_next(v); /* the gate's own name */
        nc_fp4__verilog_expect(v, "(");
        do {
            at = nc_fp4__verilog_nets(v, 0, &width);
            if (width > 1) nc_fp4__verilog_fail(v, NC_ERR_FORMAT, "more than one bit, before");
            if (width) nc_fp4__keep(&v->l.t, &pins, v->nets.at[at]);
        } while (nc_fp4__verilog_take(v, ","));
        nc_fp4__verilog_expect(v, ")");
        if (pins.count < 2)
            nc_fp4__verilog_fail(v, NC_ERR_FORMAT, "a gate without an input, before");
        if (v->l.t.status == NC_OK && wide) {
            for (all = pins.at[1], i = 2; i < pins.count; i++)
                all = nc_fp4__new_gate(v, nc_fp4__primitives[which].truth, all, pins.at[i],
                                       UINT32_MAX);
            nc_fp4__put_table(&v->l, v->m, inverts ? 1 : 2, 1, &all, pins.at[0], line);
        }
        for (i = 0; !wide && v->l.t.status == NC_OK && i + 1 < pins.count; i++)
            nc_fp4__put_table(&v->l, v->m, inverts ? 1 : 2, 1, &pins.at[pins.count - 1], pins.at[i],
                              line);
        nc_fp4__numbers_free(&pins);
    } while (nc_fp4__verilog_take(v, ","));
    nc_fp4__verilog_expect(v, ";");
}

/* Cells that yosys writes with -noexpr: inputs A, B .., the last one S for those that choose. */
static const struct {
    char name[12], pins[8];
    uint16_t truth;
} nc_fp4__cells[] = {
    {"$_BUF_", "A", 2},         {"$_NOT_", "A", 1},       {"$_AND_", "AB", 8},
    {"$_NAND_", "AB", 7},       {"$_OR_", "AB", 14},      {"$_NOR_", "AB", 1},
    {"$_XOR_", "AB", 6},        {"$_XNOR_", "AB", 9},     {"$_ANDNOT_", "AB", 2},
    {"$_ORNOT_", "AB", 11},     {"$_MUX_", "ABS", 0xCA},  {"$_NMUX_", "ABS", 0x35},
    {"$_AOI3_", "ABC", 0x07},   {"$_OAI3_", "ABC", 0x1F}, {"$_AOI4_", "ABCD", 0x0777},
    {"$_OAI4_", "ABCD", 0x111F}};

/* Make the cell of these joints; 0: the name is no cell's. */
static int nc_fp4__verilog_cell(nc_fp4__verilog *v, const char *name, uint32_t joint, size_t line) {
    uint32_t pin[5], i, k, n;
    nc_fp4__statement *s;
    for (i = 0; i < sizeof nc_fp4__cells / sizeof *nc_fp4__cells; i++)
        if (!strcmp(name, nc_fp4__cells[i].name)) break;
    if (i == sizeof nc_fp4__cells / sizeof *nc_fp4__cells) return 0;
    n = (uint32_t)strlen(nc_fp4__cells[i].pins);
    for (k = 0; k < 5; k++) pin[k] = UINT32_MAX;
    for (; joint < v->joints.count; joint++) {
        const nc_fp4__joint *j = &v->joints.at[joint];
        const char *port = j->port ? j->port : "?";
        const char *at = port[1] ? NULL : strchr(nc_fp4__cells[i].pins, *port);
        if (!strcmp(port, "Y")) at = nc_fp4__cells[i].pins + n;
        if (!at || j->width != 1)
            (void)nc_fp4__fail_at(&v->l.t, NC_ERR_FORMAT, j->line, 1,
                                  "'%.40s' is no pin of '%.40s', or not of one bit", port, name);
        else
            pin[at - nc_fp4__cells[i].pins] = v->nets.at[j->nets];
    }
    for (k = 0; k <= n; k++)
        if (pin[k] == UINT32_MAX)
            (void)nc_fp4__fail_at(&v->l.t, NC_ERR_FORMAT, line, 1, "a pin of '%.40s' is open",
                                  name);
    s = v->l.t.status == NC_OK ? nc_fp4__new_statement(&v->l, v->m, line, 1) : NULL;
    if (!s) return 1;
    s->inputs = n;
    s->outputs = 1;
    s->rows = UINT32_MAX;
    s->truth[0] = nc_fp4__cells[i].truth;
    for (k = 0; k <= n; k++) nc_fp4__keep(&v->l.t, &v->m->nets, pin[k]);
    nc_fp4__drive(&v->l, v->m, pin[n], v->m->statements.count - 1, line, 1);
    return 1;
}

/* The ports in the parentheses of an instance, by name or by place. */
static void nc_fp4__verilog_joints(nc_fp4__verilog *v) {
    nc_fp4__joint j;
    memset(&j, 0, sizeof j);
    nc_fp4__verilog_expect(v, "(");
    while (v->l.t.status == NC_OK && !nc_fp4__verilog_at(v, ")")) {
        int open = 0;
        j.line = v->token.line;
        j.port = NULL;
        if (nc_fp4__verilog_take(v, ".")) {
            j.port = nc_fp4__verilog_name(v);
            nc_fp4__verilog_expect(v, "(");
            open = nc_fp4__verilog_take(v, ")");
        } else {
            open = nc_fp4__verilog_at(v, ",");
        }
        if (!open) j.nets = nc_fp4__verilog_nets(v, 0, &j.width);
        if (!open && j.port) nc_fp4__verilog_expect(v, ")");
        if (!open && !nc_fp4__joints_add(&v->joints, j)) (void)nc_fp4__no_memory(&v->l.t);
        j.place++;
        if (!nc_fp4__verilog_take(v, ",")) break;
    }
    nc_fp4__verilog_expect(v, ")");
}

/* MODULE name (..), name (..); */
static void nc_fp4__verilog_instance(nc_fp4__verilog *v) {
    char *name = nc_fp4__verilog_name(v);
    if (nc_fp4__verilog_at(v, "#"))
        nc_fp4__verilog_fail(v, NC_ERR_UNSUPPORTED, "no parameters of instances");
    do {
        const size_t line = v->token.line;
        const uint32_t first = v->joints.count;
        nc_fp4__statement *s;
        uint32_t i;
        (void)nc_fp4__verilog_name(v);
        nc_fp4__verilog_joints(v);
        if (v->l.t.status != NC_OK) return;
        if (nc_fp4__verilog_cell(v, name, first, line)) {
            v->joints.count = first;
            continue;
        }
        for (i = first; i < v->joints.count; i++)
            v->joints.at[i].statement = v->m->statements.count;
        s = nc_fp4__new_statement(&v->l, v->m, line, 1);
        if (!s) return;
        s->model_name = name;
    } while (nc_fp4__verilog_take(v, ","));
    nc_fp4__verilog_expect(v, ";");
}

/* One item of a module. */
static void nc_fp4__verilog_item(nc_fp4__verilog *v) {
    static const char *const refused[] = {
        "always",      "initial",   "function",  "task",   "generate", "parameter",
        "localparam",  "specify",   "defparam",  "genvar", "integer",  "inout",
        "always_comb", "always_ff", "primitive", "for",    "if",       "real",
        "time",        "bufif0",    "bufif1",    "notif0", "notif1",   "triand",
        "trior",       "wand",      "wor",       "tri0",   "tri1"};
    uint32_t i;
    size_t k;
    if (nc_fp4__verilog_declares(v)) {
        nc_fp4__verilog_declaration(v);
        return;
    }
    if (nc_fp4__verilog_at(v, "assign")) {
        nc_fp4__verilog_assign(v);
        return;
    }
    for (i = 0; i < NC_FP4__PRIMITIVES; i++)
        if (nc_fp4__verilog_at(v, nc_fp4__primitives[i].name)) {
            nc_fp4__verilog_primitive(v, i);
            return;
        }
    for (k = 0; k < sizeof refused / sizeof *refused; k++)
        if (nc_fp4__verilog_at(v, refused[k]))
            nc_fp4__verilog_fail(v, NC_ERR_UNSUPPORTED, "only structural Verilog");
    nc_fp4__verilog_instance(v);
}

/* The parentheses of a module's head: names, or declarations. */
static void nc_fp4__verilog_head(nc_fp4__verilog *v) {
    nc_fp4__signal form;
    int scalar = 1, constant;
    uint32_t id;
    memset(&form, 0, sizeof form);
    form.port = -1;
    form.width = 1;
    form.down = 1;
    while (v->l.t.status == NC_OK && !nc_fp4__verilog_at(v, ")")) {
        if (nc_fp4__verilog_at(v, "inout"))
            nc_fp4__verilog_fail(v, NC_ERR_UNSUPPORTED, "only inputs and outputs");
        if (nc_fp4__verilog_declares(v)) nc_fp4__verilog_form(v, &form, &scalar, &constant);
        form.line = v->token.line;
        form.name = nc_fp4__verilog_name(v);
        if (!form.name) return;
        if (nc_fp4__find_signal(v, v->module, form.name) != UINT32_MAX)
            (void)nc_fp4__fail_at(&v->l.t, NC_ERR_FORMAT, form.line, 1, "'%.64s' is a port twice",
                                  form.name);
        id = nc_fp4__declare(v, &form, scalar);
        nc_fp4__keep(&v->l.t, &v->module->ports, id);
        if (!nc_fp4__verilog_take(v, ",")) break;
    }
    nc_fp4__verilog_expect(v, ")");
}

/* Inputs and outputs of the netlist, in the order of the head. */
static void nc_fp4__verilog_ports(nc_fp4__verilog *v) {
    uint32_t i, k;
    for (i = 0; i < v->module->ports.count && v->l.t.status == NC_OK; i++) {
        const nc_fp4__signal *s = &v->signals.at[v->module->ports.at[i]];
        nc_fp4__numbers *to = s->port == 1 ? &v->m->inputs : &v->m->outputs;
        if (s->port != 1 && s->port != 2) {
            (void)nc_fp4__fail_at(&v->l.t, NC_ERR_FORMAT, s->line, 1,
                                  "port '%.64s' is neither input nor output", s->name);
            return;
        }
        for (k = 0; k < s->width; k++) nc_fp4__keep(&v->l.t, to, s->first + k);
    }
    if (v->m->inputs.count > NC_FP4__MAX_INPUTS || v->m->outputs.count > NC_FP4__MAX_INPUTS)
        nc_fp4__verilog_fail(v, NC_ERR_LIMIT, "more than 2^20 inputs or outputs, before");
}

/* module name (ports); items endmodule */
static void nc_fp4__verilog_module(nc_fp4__verilog *v) {
    nc_fp4__module module;
    const size_t line = v->token.line;
    nc_fp4__verilog_expect(v, "module");
    v->m =
        v->l.t.status == NC_OK ? nc_fp4__new_model(&v->l, nc_fp4__verilog_name(v), 0, line) : NULL;
    memset(&module, 0, sizeof module);
    module.first_joint = v->joints.count;
    if (!v->m) return;
    if (!nc_fp4__modules_add(&v->modules, module)) {
        (void)nc_fp4__no_memory(&v->l.t);
        return;
    }
    v->module = &v->modules.at[v->modules.count - 1];
    v->constant[0] = v->constant[1] = UINT32_MAX;
    if (nc_fp4__verilog_at(v, "#"))
        nc_fp4__verilog_fail(v, NC_ERR_UNSUPPORTED, "no parameters of modules");
    if (nc_fp4__verilog_take(v, "(")) nc_fp4__verilog_head(v);
    nc_fp4__verilog_expect(v, ";");
    while (v->l.t.status == NC_OK && !nc_fp4__verilog_at(v, "endmodule")) nc_fp4__verilog_item(v);
    if (v->l.t.status == NC_OK) nc_fp4__verilog_ports(v);
    v->module->joints = v->joints.count;
    nc_fp4__verilog_next(v);
}

/* -- instances -- */

/* What one joint connects: bits of a port of model number `model`, the lowest first, to the nets
 * of m from `first` on. It may add statements to m. */
static void nc_fp4__verilog_join(nc_fp4__verilog *v, nc_fp4__model *m, uint32_t model,
                                 uint32_t first, const nc_fp4__joint *j) {
    const nc_fp4__module *module = &v->modules.at[model];
    const nc_fp4__model *of = &v->l.models.at[model];
    const nc_fp4__signal *signal;
    uint32_t id = UINT32_MAX, k;
    if (j->port)
        id = nc_fp4__find_signal(v, module, j->port);
    else if (j->place < module->ports.count)
        id = module->ports.at[j->place];
    signal = id == UINT32_MAX ? NULL : &v->signals.at[id];
    if (!signal || signal->port < 1) {
        (void)nc_fp4__fail_at(&v->l.t, NC_ERR_FORMAT, j->line, 1, "'%.40s' is no port of '%.40s'",
                              j->port ? j->port : "what stands here", of->name);
        return;
    }
    for (k = 0; k < signal->width && v->l.t.status == NC_OK; k++) {
        const uint32_t at = first + of->port.at[signal->first + k] - 1;
        if (m->nets.at[at] != UINT32_MAX)
            (void)nc_fp4__fail_at(&v->l.t, NC_ERR_FORMAT, j->line, 1,
                                  "'%.40s' of '%.40s' is connected twice", signal->name, of->name);
        else if (k < j->width)
            m->nets.at[at] = v->nets.at[j->nets + k];
        else if (signal->port == 1) { /* wider than what it gets */
            const uint32_t zero = nc_fp4__table_net(&v->l, m, 0, 0, 0, 0); /* may move the nets */
            m->nets.at[at] = zero;
        }
    }
}

/* All joints of an instance. */
static void nc_fp4__verilog_resolve(nc_fp4__verilog *v, nc_fp4__model *m, uint32_t number,
                                    uint32_t joint, uint32_t end) {
    nc_fp4__statement *s = &m->statements.at[number];
    const nc_fp4__model *of = nc_fp4__model_of(&v->l, s);
    const uint32_t model = s->model - 1, first = m->nets.count;
    uint32_t k;
    if (!of) return;
    v->modules.at[model].contained = 1;
    s->inputs = of->inputs.count;
    s->outputs = of->outputs.count;
    s->first = first;
    s->rows = UINT32_MAX;
    for (k = 0; k < s->inputs + s->outputs; k++) nc_fp4__keep(&v->l.t, &m->nets, UINT32_MAX);
    for (; joint < end && v->l.t.status == NC_OK; joint++)
        nc_fp4__verilog_join(v, m, model, first, &v->joints.at[joint]);
    nc_fp4__open_ports(&v->l, m, number);
}

/* Instances of all modules; the joints of one follow each other. */
static void nc_fp4__verilog_instances(nc_fp4__verilog *v) {
    uint32_t i, k, first, end;
    for (i = 0; i < v->modules.count && v->l.t.status == NC_OK; i++) {
        nc_fp4__model *m = &v->l.models.at[i];
        const uint32_t statements = m->statements.count;
        first = v->modules.at[i].first_joint;
        for (k = 0; k < statements && v->l.t.status == NC_OK; k++) {
            if (!m->statements.at[k].model_name) continue;
            for (end = first; end < v->modules.at[i].joints && v->joints.at[end].statement == k;)
                end++;
            nc_fp4__verilog_resolve(v, m, k, first, end);
            if (v->l.t.status == NC_OK) m->statements.at[k].model_name = NULL;
            first = end;
        }
    }
}

static void nc_fp4__verilog_free(nc_fp4__verilog *v) {
    uint32_t i;
    for (i = 0; i < v->modules.count; i++) {
        nc__index_free(&v->modules.at[i].known);
        nc_fp4__numbers_free(&v->modules.at[i].ports);
    }
    nc_fp4__modules_free(&v->modules);
    nc_fp4__signals_free(&v->signals);
    nc_fp4__joints_free(&v->joints);
    nc_fp4__part_list_free(&v->parts);
    nc_fp4__numbers_free(&v->operands);
    nc_fp4__pendings_free(&v->pending);
    nc_fp4__numbers_free(&v->nets);
    nc_fp4__netlist_free(&v->l);
}

static nc_status nc_fp4__read_verilog(nc_fp4_circuit **circuit, const nc_fp4_read_options *options,
                                      const char *text, size_t bytes, nc_error *err) {
    nc_fp4__verilog v;
    uint32_t top = 0;
    nc_status status;
    memset(&v, 0, sizeof v);
    if (!nc_fp4__open_netlist(&v.l, options, circuit, text, bytes, err)) return NC_ERR_ARG;
    nc_fp4__verilog_next(&v);
    do nc_fp4__verilog_module(&v);
    while (v.l.t.status == NC_OK && v.kind);
    nc_fp4__place_all(&v.l);
    nc_fp4__verilog_instances(&v);
    nc_fp4__finish(&v.l);
    while (top + 1 < v.modules.count && v.modules.at[top].contained) top++;
    nc_fp4__build_top(&v.l, top, circuit);
    status = v.l.t.status;
    nc_fp4__verilog_free(&v);
    return status;
}

NC_API nc_status nc_fp4_read_verilog(nc_fp4_circuit **circuit, const char *text, size_t bytes,
                                     nc_error *err) {
    return nc_fp4__read_verilog(circuit, NULL, text, bytes, err);
}

/* -- bench (ISCAS-85 and -89) ------------------------------------------------------------------ */

/* Gates of any number of inputs: their function of two, 0 for one input, and whether it is
 * complemented. */
static const struct {
    char name[8];
    uint8_t truth, inverts;
} nc_fp4__bench_gates[] = {{"AND", 8, 0}, {"NAND", 8, 1}, {"OR", 14, 0}, {"NOR", 14, 1},
                           {"XOR", 6, 0}, {"XNOR", 6, 1}, {"BUF", 0, 0}, {"BUFF", 0, 0},
                           {"NOT", 0, 1}, {"INV", 0, 1}};

/* The next word: a name, or one of ( ) , =. Its length; 0 at the end. */
static size_t nc_fp4__bench_word(nc__text *t, nc_fp4__word *w) {
    for (nc__skip_space(t); nc__peek(t, 0) == '#'; nc__skip_space(t))
        while (nc__peek(t, 0) >= 0 && nc__peek(t, 0) != '\n') t->at++;
    w->text = t->at;
    w->line = t->line;
    w->column = (size_t)(t->at - t->line_start) + 1;
    while (nc__peek(t, 0) > ' ' && !strchr("(),=#", nc__peek(t, 0))) t->at++;
    if (t->at == w->text && nc__peek(t, 0) > 0) t->at++;
    w->length = (size_t)(t->at - w->text);
    return w->length;
}

static void nc_fp4__bench_expect(nc__text *t, const char *mark) {
    nc_fp4__word w;
    char what[16];
    (void)nc_fp4__bench_word(t, &w);
    snprintf(what, sizeof what, "expected %s", mark);
    if (!nc_fp4__is(&w, mark)) nc_fp4__word_error(t, &w, NC_ERR_FORMAT, what);
}

/* (a, b, ..): nets, to the closing parenthesis. */
static void nc_fp4__bench_pins(nc_fp4__netlist *l, nc_fp4__model *m, nc_fp4__numbers *pins) {
    nc_fp4__word w;
    nc_fp4__bench_expect(&l->t, "(");
    do {
        (void)nc_fp4__bench_word(&l->t, &w);
        if (!w.length || strchr("(),=", *w.text))
            nc_fp4__word_error(&l->t, &w, NC_ERR_FORMAT, "expected a name");
        if (l->t.status != NC_OK) return;
        nc_fp4__keep(&l->t, pins, nc_fp4__word_net(l, m, &w, 0));
        (void)nc_fp4__bench_word(&l->t, &w);
    } while (nc_fp4__is(&w, ","));
    if (!nc_fp4__is(&w, ")")) nc_fp4__word_error(&l->t, &w, NC_ERR_FORMAT, "expected )");
}

/* ABC's "LUT 0x8 (a, b)": a table of at most six inputs, bit 0 for inputs 0. */
static void nc_fp4__bench_table(nc_fp4__netlist *l, nc_fp4__model *m, uint32_t out, size_t line,
                                nc_fp4__numbers *pins) {
    nc_fp4__statement *s;
    nc_fp4__word w;
    uint64_t truth = 0;
    uint32_t i;
    size_t k;
    (void)nc_fp4__bench_word(&l->t, &w);
    for (k = 2; k < w.length && k < 18; k++) {
        const int c = w.text[k] | 32, digit = nc__is_digit(c) ? c - '0' : c - 'a' + 10;
        if (digit < 0 || digit > 15) break;
        truth = truth << 4 | (uint64_t)digit;
    }
    if (w.length < 3 || k < w.length || w.text[0] != '0' || (w.text[1] | 32) != 'x')
        nc_fp4__word_error(&l->t, &w, NC_ERR_FORMAT, "expected 0x and up to 16 digits");
    nc_fp4__bench_pins(l, m, pins);
    if (l->t.status == NC_OK &&
        (pins->count > 6 || (pins->count < 6 && truth >> (1u << pins->count))))
        nc_fp4__word_error(&l->t, &w, NC_ERR_FORMAT, "a table that does not fit its inputs");
    s = l->t.status == NC_OK ? nc_fp4__new_statement(l, m, line, 1) : NULL;
    if (!s) return;
    s->inputs = pins->count;
    s->outputs = 1;
    s->rows = UINT32_MAX;
    s->truth[0] = truth;
    for (i = 0; i < pins->count; i++) nc_fp4__keep(&l->t, &m->nets, pins->at[i]);
    nc_fp4__keep(&l->t, &m->nets, out);
    nc_fp4__drive(l, m, out, m->statements.count - 1, line, 1);
}

/* What stands behind "name =": a gate and its inputs, a table, or ABC's constants. */
static void nc_fp4__bench_gate(nc_fp4__netlist *l, nc_fp4__model *m, const nc_fp4__word *name,
                               nc_fp4__numbers *pins) {
    const uint32_t out = nc_fp4__word_net(l, m, name, 0);
    nc_fp4__word gate;
    uint32_t net, k;
    char kind[8] = "";
    size_t i;
    pins->count = 0;
    (void)nc_fp4__bench_word(&l->t, &gate);
    for (i = 0; i < gate.length && i < 7; i++)
        kind[i] =
            (char)(gate.text[i] >= 'a' && gate.text[i] <= 'z' ? gate.text[i] - 32 : gate.text[i]);
    if (!strcmp(kind, "VDD") || !strcmp(kind, "GND")) {
        nc_fp4__put_table(l, m, *kind == 'V', 0, NULL, out, name->line);
        return;
    }
    if (!strcmp(kind, "LUT")) {
        nc_fp4__bench_table(l, m, out, name->line, pins);
        return;
    }
    for (i = 0; i < sizeof nc_fp4__bench_gates / sizeof *nc_fp4__bench_gates; i++)
        if (!strcmp(kind, nc_fp4__bench_gates[i].name) && gate.length == strlen(kind)) break;
    if (i == sizeof nc_fp4__bench_gates / sizeof *nc_fp4__bench_gates) {
        nc_fp4__word_error(&l->t, &gate, NC_ERR_UNSUPPORTED, "a gate that is not known");
        return;
    }
    nc_fp4__bench_pins(l, m, pins);
    if (pins->count > 1 && !nc_fp4__bench_gates[i].truth)
        nc_fp4__word_error(&l->t, &gate, NC_ERR_FORMAT, "the gate has one input");
    if (l->t.status != NC_OK) return;
    net = pins->at[0];
    for (k = 1; k < pins->count; k++)
        net = nc_fp4__table_net(l, m, nc_fp4__bench_gates[i].truth, 2, net, pins->at[k]);
    nc_fp4__put_table(l, m, nc_fp4__bench_gates[i].inverts ? 1 : 2, 1, &net, out, name->line);
}

/* INPUT(x), OUTPUT(y), y = NAND(a, b); gates of any number of inputs, and what ABC adds. */
static nc_status nc_fp4__read_bench(nc_fp4_circuit **circuit, const nc_fp4_read_options *options,
                                    const char *text, size_t bytes, nc_error *err) {
    nc_fp4__netlist l;
    nc_fp4__model *m;
    nc_fp4__word w, port;
    nc_fp4__numbers pins = {NULL, 0, 0, NULL};
    if (!nc_fp4__open_netlist(&l, options, circuit, text, bytes, err)) return NC_ERR_ARG;
    l.options.top = NULL;
    m = nc_fp4__new_model(&l, nc_fp4__string(&l, "circuit", 7), 0, 1);
    while (m && l.t.status == NC_OK && nc_fp4__bench_word(&l.t, &w)) {
        const int input = nc_fp4__is(&w, "INPUT"), output = nc_fp4__is(&w, "OUTPUT");
        if (!input && !output) {
            nc_fp4__bench_expect(&l.t, "=");
            if (l.t.status == NC_OK) nc_fp4__bench_gate(&l, m, &w, &pins);
            continue;
        }
        nc_fp4__bench_expect(&l.t, "(");
        if (!nc_fp4__bench_word(&l.t, &port) || strchr("(),=", *port.text))
            nc_fp4__word_error(&l.t, &w, NC_ERR_FORMAT, "expected a name behind");
        if (l.t.status != NC_OK) break;
        nc_fp4__keep(&l.t, input ? &m->inputs : &m->outputs, nc_fp4__word_net(&l, m, &port, 0));
        nc_fp4__bench_expect(&l.t, ")");
    }
    nc_fp4__numbers_free(&pins);
    if (l.t.status == NC_OK && l.t.at < l.t.end)
        (void)nc__text_fail(&l.t, NC_ERR_FORMAT, "a byte 0");
    nc_fp4__place_all(&l);
    nc_fp4__finish(&l);
    nc_fp4__build_top(&l, 0, circuit);
    nc_fp4__netlist_free(&l);
    return l.t.status;
}

/* -- any of them ----------------------------------------------------------------------------- */

/* The first character that is no blank and in no comment of BLIF; the end if there is none. */
static size_t nc_fp4__first_mark(const char *text, size_t bytes) {
    size_t at = 0;
    while (at < bytes && (nc__is_space(text[at]) || text[at] == '#'))
        if (text[at++] == '#')
            while (at < bytes && text[at] != '\n') at++;
    return at;
}

NC_API nc_status nc_fp4_read_circuit(nc_fp4_circuit **circuit, const nc_fp4_read_options *options,
                                     const void *data, size_t bytes, nc_error *err) {
    const char *text = (const char *)data;
    size_t at;
    nc__text t;
    if (!nc_fp4__open_text(&t, circuit, text, bytes, err)) return NC_ERR_ARG;
    at = nc_fp4__first_mark(text, bytes);
    if (bytes >= 4 && (!memcmp(text, "aig ", 4) || !memcmp(text, "aag ", 4)))
        return nc_fp4__read_aiger(circuit, options, text, bytes, err);
    if (at < bytes && text[at] == '.') return nc_fp4__read_blif(circuit, options, text, bytes, err);
    if (at < bytes && strchr("m/`(", text[at]))
        return nc_fp4__read_verilog(circuit, options, text, bytes, err);
    if (at < bytes && text[at] == '{') return nc_fp4_read_json(circuit, text, bytes, err);
    if (at < bytes && nc__is_digit(text[at])) return nc_fp4_read_bristol(circuit, text, bytes, err);
    if (bytes - at > 6 && (!memcmp(text + at, "INPUT", 5) || !memcmp(text + at, "OUTPUT", 6)))
        return nc_fp4__read_bench(circuit, options, text, bytes, err);
    if (bytes >= 5 && !memcmp(text, "NCFP4", 5))
        return nc__fail(err, NC_ERR_UNSUPPORTED, 0, 0, "a network of units, not a circuit");
    return nc__fail(err, NC_ERR_FORMAT, 0, 0,
                    "no netlist that is known: BLIF, AIGER, Verilog, bench, Bristol or JSON");
}

NC__COLD_END

/* -- writing ------------------------------------------------------------------------- */

NC__WARM_BEGIN

/* Name of bit i of a list of groups: "x", or "x[3]". */
static void nc_fp4__put_bit(nc__buffer *to, const nc_fp4__groups *groups, uint32_t i) {
    size_t g = 0, end = groups->count;
    while (end - g > 1) { /* the last group that does not begin behind i */
        size_t middle = g + (end - g) / 2;
        if (groups->at[middle].first <= i)
            g = middle;
        else
            end = middle;
    }
    nc__buffer_put(to, groups->at[g].name, strlen(groups->at[g].name));
    if (groups->at[g].width > 1) nc__buffer_print(to, "[%u]", (unsigned)(i - groups->at[g].first));
}

/* Names of inputs and outputs as a format can hold them, each once. A name that is taken gets a
 * number behind it; in BLIF, which has no escapes, a blank, # and a final backslash become _. */
typedef struct nc_fp4__labels {
    nc_fp4__groups in, out;
    nc_fp4__numbers shown; /* of each output the input that it is, or UINT32_MAX */
    nc__index known;       /* bits: inputs, then outputs */
    nc__buffer bit, other; /* names that are looked at */
    nc__buffer prefix;     /* no name begins so: with a number it is a wire's */
} nc_fp4__labels;

static void nc_fp4__labels_free(nc_fp4__labels *l) {
    nc_fp4__drop_groups(&l->in);
    nc_fp4__drop_groups(&l->out);
    nc_fp4__numbers_free(&l->shown);
    nc__index_free(&l->known);
    nc__buffer_free(&l->bit);
    nc__buffer_free(&l->other);
    nc__buffer_free(&l->prefix);
}

/* Bit i of inputs and outputs, in that order, into a buffer. */
static void nc_fp4__label_bit(const nc_fp4__labels *l, uint32_t i, nc__buffer *to) {
    const nc_fp4__group *last = l->in.count ? &l->in.at[l->in.count - 1] : NULL;
    const uint32_t inputs = last ? last->first + last->width : 0;
    to->used = 0;
    nc_fp4__put_bit(to, i < inputs ? &l->in : &l->out, i < inputs ? i : i - inputs);
}

/* Is the name in l->bit another's than that of the input which output `at` shows? JSON's constants
 * are taken too. */
static int nc_fp4__label_taken(nc_fp4__labels *l, uint32_t hash, uint32_t input,
                               nc_fp4_file_kind kind) {
    const char *name = l->bit.data;
    size_t at = hash;
    uint32_t id;
    if (kind == NC_FP4_JSON && (!strcmp(name, "0") || !strcmp(name, "1"))) return 1;
    while ((id = nc__index_next(&l->known, hash, &at)) != UINT32_MAX) {
        nc_fp4__label_bit(l, id, &l->other);
        if (l->other.status != NC_OK || (id != input && !strcmp(name, l->other.data))) return 1;
    }
    return 0;
}

/* Whether all bits of the last group have names of their own; then these are known, or
 * l->bit.status says why not. */
static int nc_fp4__label_fits(nc_fp4__labels *l, const nc_fp4__group *g, uint32_t inputs,
                              int output, nc_fp4_file_kind kind) {
    uint32_t i, round;
    for (round = 0; round < 2; round++) /* look, then keep */
        for (i = g->first; i < g->first + g->width; i++) {
            uint32_t hash;
            nc_fp4__label_bit(l, output ? inputs + i : i, &l->bit);
            if (l->bit.status != NC_OK) return 0;
            hash = (uint32_t)nc__fnv1a(NC__FNV_START, l->bit.data, l->bit.used);
            if (round == 0 &&
                nc_fp4__label_taken(l, hash, output ? l->shown.at[i] : UINT32_MAX, kind))
                return 0;
            if (round && !nc__index_add(&l->known, hash, output ? inputs + i : i))
                l->bit.status = NC_ERR_MEMORY;
        }
    return 1;
}

/* Groups of one side under names that fit. */
static void nc_fp4__label_side(nc_fp4__labels *l, const nc_fp4__groups *from, uint32_t inputs,
                               int output, nc_fp4_file_kind kind) {
    nc_fp4__groups *to = output ? &l->out : &l->in;
    uint32_t i, n;
    size_t k;
    for (i = 0; i < from->count && l->bit.status == NC_OK; i++)
        for (n = 1;; n = nc_fp4__next_suffix(n, i)) {
            nc__buffer name;
            int ok;
            memset(&name, 0, sizeof name);
            nc__buffer_put(&name, from->at[i].name, strlen(from->at[i].name));
            for (k = 0; name.status == NC_OK && k < name.used && kind == NC_FP4_BLIF; k++)
                if (name.data[k] == ' ' || name.data[k] == '#' ||
                    (name.data[k] == '\\' && k + 1 == name.used))
                    name.data[k] = '_';
            if (n > 1) nc__buffer_print(&name, "_%u", (unsigned)n);
            ok = name.status == NC_OK &&
                 nc_fp4__put_group(to, name.data, from->at[i].first, from->at[i].width);
            nc__buffer_free(&name);
            if (!ok) l->bit.status = NC_ERR_MEMORY;
            if (!ok || nc_fp4__label_fits(l, &to->at[i], inputs, output, kind) ||
                l->bit.status != NC_OK)
                break;
            nc_fp4__free_text(to->hooks, to->at[--to->count].name);
        }
}

/* What no name begins with: a number behind it names a wire. */
static void nc_fp4__label_prefix(nc_fp4__labels *l) {
    const nc_fp4__groups *sides[2];
    uint32_t side, i;
    sides[0] = &l->in;
    sides[1] = &l->out;
    nc__buffer_put(&l->prefix, "n", 1);
    for (side = 0; side < 2; side++)
        for (i = 0; i < sides[side]->count && l->prefix.status == NC_OK; i++)
            while (l->prefix.status == NC_OK &&
                   !strncmp(sides[side]->at[i].name, l->prefix.data, l->prefix.used))
                nc__buffer_put(&l->prefix, "_", 1);
}

/* What l->shown holds is given. After a failure `to` has its status. */
static void nc_fp4__labels_open(nc_fp4__labels *l, const nc_fp4__groups *in,
                                const nc_fp4__groups *out, nc_fp4_file_kind kind, nc__buffer *to) {
    const uint32_t inputs =
        in->count ? in->at[in->count - 1].first + in->at[in->count - 1].width : 0;
    nc_fp4__label_side(l, in, inputs, 0, kind);
    nc_fp4__label_side(l, out, inputs, 1, kind);
    nc_fp4__label_prefix(l);
    if (l->bit.status != NC_OK || l->prefix.status != NC_OK) to->status = NC_ERR_MEMORY;
}

/* Labels of a circuit. */
static void nc_fp4__circuit_labels(nc_fp4__labels *l, const nc_fp4_circuit *c,
                                   nc_fp4_file_kind kind, nc__buffer *to) {
    uint32_t i;
    memset(l, 0, sizeof *l);
    for (i = 0; i < c->outputs.count; i++) {
        const nc_fp4__node *node = &c->nodes.at[c->outputs.at[i]];
        if (!nc_fp4__numbers_add(&l->shown,
                                 node->inputs == NC_FP4__INPUT ? node->in[0] : UINT32_MAX)) {
            to->status = NC_ERR_MEMORY;
            return;
        }
    }
    nc_fp4__labels_open(l, &c->input_groups, &c->output_groups, kind, to);
}

/* Name of a wire: an input's, or a number behind the prefix. */
static NC__NOINLINE void nc_fp4__put_wire(nc__buffer *to, const nc_fp4_circuit *c,
                                          const nc_fp4__labels *l, uint32_t wire) {
    const nc_fp4__node *node = &c->nodes.at[wire];
    if (node->inputs == NC_FP4__INPUT)
        nc_fp4__put_bit(to, &l->in, node->in[0]);
    else
        nc__buffer_print(to, "%s%u", l->prefix.data, (unsigned)wire);
}

/* .inputs or .outputs, eight names to a line. */
static void nc_fp4__blif_bits(nc__buffer *to, const char *command, const nc_fp4__groups *groups) {
    const size_t n = groups->count;
    uint32_t i;
    nc__buffer_print(to, "\n%s", command);
    for (i = 0; n && i < groups->at[n - 1].first + groups->at[n - 1].width; i++) {
        nc__buffer_print(to, i % 8 || !i ? " " : " \\\n ");
        nc_fp4__put_bit(to, groups, i);
    }
}

static void nc_fp4__blif_head(nc__buffer *to, const char *name, const nc_fp4__labels *l) {
    nc__buffer_put(to, ".model ", 7);
    for (; *name; name++)
        nc__buffer_put(to, *name == ' ' || *name == '#' || (*name == '\\' && !name[1]) ? "_" : name,
                       1);
    nc_fp4__blif_bits(to, ".inputs", &l->in);
    nc_fp4__blif_bits(to, ".outputs", &l->out);
    nc__buffer_print(to, "\n");
}

/* What follows the inputs in .names: the output's number, and the rows that give 1. */
static void nc_fp4__blif_rows(nc__buffer *to, const nc_fp4__labels *l, uint32_t number,
                              uint64_t truth, uint32_t inputs) {
    uint32_t c, i;
    nc__buffer_print(to, " %s%u\n", l->prefix.data, (unsigned)number);
    for (c = 0; c < 1u << inputs; c++) {
        if (!(truth >> c & 1)) continue;
        for (i = 0; i < inputs; i++) nc__buffer_put(to, c >> i & 1 ? "1" : "0", 1);
        nc__buffer_print(to, inputs ? " 1\n" : "1\n");
    }
}

/* Has output i the name of the input that it shows? Then it needs no function. */
static int nc_fp4__label_shared(nc_fp4__labels *l, uint32_t i) {
    if (l->shown.at[i] == UINT32_MAX) return 0;
    l->bit.used = l->other.used = 0;
    nc_fp4__put_bit(&l->bit, &l->in, l->shown.at[i]);
    nc_fp4__put_bit(&l->other, &l->out, i);
    return l->bit.status == NC_OK && l->other.status == NC_OK &&
           !strcmp(l->bit.data, l->other.data);
}

/* What follows the wire in the .names of output i. */
static void nc_fp4__blif_output(nc__buffer *to, const nc_fp4__groups *groups, uint32_t i) {
    nc__buffer_put(to, " ", 1);
    nc_fp4__put_bit(to, groups, i);
    nc__buffer_print(to, "\n1 1\n");
}

/* Which nodes an output needs; null: out of memory. */
static uint8_t *nc_fp4__live(const nc_fp4_circuit *c) {
    const size_t n = c->nodes.count;
    uint8_t *live = (uint8_t *)nc__calloc(NULL, n);
    size_t i, k;
    for (i = 0; live && i < c->outputs.count; i++) live[c->outputs.at[i]] = 1;
    for (i = n; live && i-- > 2;)
        if (live[i] && c->nodes.at[i].inputs != NC_FP4__INPUT)
            for (k = 0; k < c->nodes.at[i].inputs; k++) live[c->nodes.at[i].in[k]] = 1;
    return live;
}

/* A .names for each node that lives, named by its number, and one for each output. */
static void nc_fp4__write_blif(const nc_fp4_circuit *c, const uint8_t *live, nc__buffer *to) {
    nc_fp4__labels l;
    uint32_t i, k;
    nc_fp4__circuit_labels(&l, c, NC_FP4_BLIF, to);
    nc_fp4__blif_head(to, c->name, &l);
    for (i = 0; to->status == NC_OK && i < c->nodes.count; i++) {
        const nc_fp4__node *node = &c->nodes.at[i];
        if (!live[i] || node->inputs == NC_FP4__INPUT) continue;
        nc__buffer_print(to, ".names");
        for (k = 0; k < node->inputs; k++) {
            nc__buffer_put(to, " ", 1);
            nc_fp4__put_wire(to, c, &l, node->in[k]);
        }
        nc_fp4__blif_rows(to, &l, i, node->truth, node->inputs);
    }
    for (i = 0; to->status == NC_OK && i < c->outputs.count; i++) {
        if (nc_fp4__label_shared(&l, i)) continue;
        nc__buffer_print(to, ".names ");
        nc_fp4__put_wire(to, c, &l, c->outputs.at[i]);
        nc_fp4__blif_output(to, &l.out, i);
    }
    nc__buffer_print(to, ".end\n");
    nc_fp4__labels_free(&l);
}

static void nc_fp4__json_groups(nc__buffer *to, const char *key, const nc_fp4__groups *groups) {
    size_t i;
    nc__buffer_print(to, " \"%s\": [", key);
    for (i = 0; i < groups->count; i++) {
        nc__buffer_print(to, i ? ", {\"name\": " : "{\"name\": ");
        nc__buffer_quote(to, groups->at[i].name);
        nc__buffer_print(to, ", \"width\": %u}", (unsigned)groups->at[i].width);
    }
    nc__buffer_print(to, "],\n");
}

/* Bit i of groups, quoted. */
static void nc_fp4__quote_bit(nc__buffer *to, const nc_fp4__groups *groups, uint32_t i) {
    nc__buffer name;
    memset(&name, 0, sizeof name);
    nc_fp4__put_bit(&name, groups, i);
    if (name.status == NC_OK)
        nc__buffer_quote(to, name.data);
    else
        to->status = name.status;
    nc__buffer_free(&name);
}

/* An atom of type TABLE up to the name of its output. */
static void nc_fp4__json_table(nc__buffer *to, const nc_fp4_circuit *c, const nc_fp4__labels *l,
                               const nc_fp4__node *node, int first) {
    uint32_t k;
    nc__buffer_print(to, "%s  {\"type\": \"TABLE\", \"truth\": \"", first ? "\n" : ",\n");
    for (k = 0; k < 1u << node->inputs; k++)
        nc__buffer_put(to, node->truth >> k & 1 ? "1" : "0", 1);
    nc__buffer_print(to, "\", \"inputs\": [");
    for (k = 0; k < node->inputs; k++) {
        const uint32_t wire = node->in[k];
        if (k) nc__buffer_print(to, ", ");
        if (c->nodes.at[wire].inputs == NC_FP4__INPUT)
            nc_fp4__quote_bit(to, &l->in, c->nodes.at[wire].in[0]);
        else
            nc__buffer_print(to, "\"%s%u\"", wire > NC_FP4_TRUE ? l->prefix.data : "",
                             (unsigned)wire);
    }
    nc__buffer_print(to, "], \"output\": ");
}

/* Nodes are internals, named by their numbers; an output is a table of one wire. */
static void nc_fp4__write_json(const nc_fp4_circuit *c, const uint8_t *live, nc__buffer *to) {
    const size_t nodes = c->nodes.count;
    nc_fp4__labels l;
    nc_fp4__node output;
    uint32_t i, written = 0;
    nc_fp4__circuit_labels(&l, c, NC_FP4_JSON, to);
    nc__buffer_print(to, "{\"name\": ");
    nc__buffer_quote(to, c->name);
    nc__buffer_print(to, ",\n");
    nc_fp4__json_groups(to, "inputs", &l.in);
    nc_fp4__json_groups(to, "outputs", &l.out);
    nc__buffer_print(to, " \"internals\": [");
    for (i = 2; to->status == NC_OK && i < nodes; i++)
        if (live[i] && c->nodes.at[i].inputs != NC_FP4__INPUT)
            nc__buffer_print(to, "%s\"%s%u\"", written++ ? ", " : "", l.prefix.data, (unsigned)i);
    nc__buffer_print(to, "],\n \"atoms\": [");
    for (written = 0, i = 2; to->status == NC_OK && i < nodes; i++) {
        if (!live[i] || c->nodes.at[i].inputs == NC_FP4__INPUT) continue;
        nc_fp4__json_table(to, c, &l, &c->nodes.at[i], !written++);
        nc__buffer_print(to, "\"%s%u\"}", l.prefix.data, (unsigned)i);
    }
    memset(&output, 0, sizeof output);
    output.inputs = 1;
    output.truth = 0xAA;
    for (i = 0; to->status == NC_OK && i < c->outputs.count; i++) {
        if (nc_fp4__label_shared(&l, i)) continue;
        output.in[0] = c->outputs.at[i];
        nc_fp4__json_table(to, c, &l, &output, !written++);
        nc_fp4__quote_bit(to, &l.out, i);
        nc__buffer_put(to, "}", 1);
    }
    nc__buffer_print(to, "\n]}\n");
    nc_fp4__labels_free(&l);
}

/* f = (x and y) xor z with affine x, y and z, where that is possible: bits 0 to 2 of each choose
 * inputs, bit 3 adds 1. Every function of two inputs and most of three have such a form. */
static int nc_fp4__one_product(uint8_t truth, uint32_t form[3]) {
    uint8_t affine[16];
    uint32_t x, y, z;
    for (x = 0; x < 16; x++) {
        affine[x] = x & 8 ? 0xFF : 0;
        for (y = 0; y < 3; y++)
            if (x >> y & 1) affine[x] ^= nc_fp4__variable[y];
    }
    for (x = 0; x < 16; x++) /* x 0: no product */
        for (y = x; y < (x ? 16u : 1u); y++)
            for (z = 0; z < 16; z++)
                if (((affine[x] & affine[y]) ^ affine[z]) == truth) {
                    form[0] = x;
                    form[1] = y;
                    form[2] = z;
                    return 1;
                }
    return 0;
}

typedef struct nc_fp4__bristol {
    nc__buffer gates; /* their lines */
    uint32_t count, wires;
} nc_fp4__bristol;

/* A gate of one input (INV, EQ, EQW) or two; its output wire. */
static uint32_t nc_fp4__bristol_out(nc_fp4__bristol *b, const char *name, uint32_t x, uint32_t y) {
    if (*name == 'I' || *name == 'E')
        nc__buffer_print(&b->gates, "1 1 %u %u %s\n", (unsigned)x, (unsigned)b->wires, name);
    else
        nc__buffer_print(&b->gates, "2 1 %u %u %u %s\n", (unsigned)x, (unsigned)y,
                         (unsigned)b->wires, name);
    b->count++;
    return b->wires++;
}

/* The exclusive or of chosen wires and 1; UINT32_MAX for the constant 0, - 1 for 1. */
static uint32_t nc_fp4__bristol_sum(nc_fp4__bristol *b, const uint32_t in[3], uint32_t chosen) {
    uint32_t wire = UINT32_MAX, i;
    for (i = 0; i < 3; i++)
        if (chosen >> i & 1)
            wire = wire == UINT32_MAX ? in[i] : nc_fp4__bristol_out(b, "XOR", wire, in[i]);
    if (!(chosen & 8)) return wire;
    return wire == UINT32_MAX ? UINT32_MAX - 1 : nc_fp4__bristol_out(b, "INV", wire, 0);
}

/* Gates for a function of three wires. AND is what garbling and secret sharing pay for, so there is
 * one where one will do. */
static uint32_t nc_fp4__bristol_node(nc_fp4__bristol *b, const uint32_t in[3], uint8_t truth) {
    uint32_t form[3], x, y, z;
    if (!nc_fp4__one_product(truth, form)) { /* f = f0 xor in[2] (f0 xor f1), both of two inputs */
        const uint8_t no = nc_fp4__cofactor(truth, 2, 0);
        x = nc_fp4__bristol_node(b, in, no ^ nc_fp4__cofactor(truth, 2, 1));
        x = nc_fp4__bristol_out(b, "AND", in[2], x);
        if (no == 0) return x;
        if (no == 0xFF) return nc_fp4__bristol_out(b, "INV", x, 0);
        return nc_fp4__bristol_out(b, "XOR", x, nc_fp4__bristol_node(b, in, no));
    }
    z = nc_fp4__bristol_sum(b, in, form[2]);
    if (form[0] == 0) return z;
    x = nc_fp4__bristol_sum(b, in, form[0]);
    y = nc_fp4__bristol_sum(b, in, form[1]);
    if (x == UINT32_MAX - 1 || y == UINT32_MAX - 1)
        x = x == UINT32_MAX - 1 ? y : x;
    else
        x = nc_fp4__bristol_out(b, "AND", x, y);
    if (z == UINT32_MAX) return x;
    return z == UINT32_MAX - 1 ? nc_fp4__bristol_out(b, "INV", x, 0)
                               : nc_fp4__bristol_out(b, "XOR", x, z);
}

/* Numbers of inputs or outputs: how many groups, and the width of each. */
static void nc_fp4__bristol_widths(nc__buffer *to, const nc_fp4__groups *groups) {
    size_t i;
    nc__buffer_print(to, "%u", (unsigned)groups->count);
    for (i = 0; i < groups->count; i++) nc__buffer_print(to, " %u", (unsigned)groups->at[i].width);
    nc__buffer_print(to, "\n");
}

/* Inputs are the first wires and outputs the last; the head counts gates, so these come first. */
static void nc_fp4__write_bristol(const nc_fp4_circuit *c, const uint8_t *live, nc__buffer *to) {
    const size_t n = c->nodes.count;
    uint32_t *number = (uint32_t *)nc__calloc(NULL, n * sizeof *number), in[3], k;
    nc_fp4__bristol b;
    size_t i;
    memset(&b, 0, sizeof b);
    b.wires = nc_fp4_input_count(c);
    for (i = 0; number && i < n; i++) {
        const nc_fp4__node *node = &c->nodes.at[i];
        if (node->inputs == NC_FP4__INPUT) number[i] = node->in[0];
        if (!live[i] || node->inputs == NC_FP4__INPUT) continue;
        for (k = 0; k < 3; k++) in[k] = k < node->inputs ? number[node->in[k]] : 0;
        number[i] = i <= NC_FP4_TRUE ? nc_fp4__bristol_out(&b, "EQ", (uint32_t)i, 0)
                                     : nc_fp4__bristol_node(&b, in, node->truth);
    }
    for (i = 0; number && i < c->outputs.count; i++)
        (void)nc_fp4__bristol_out(&b, "EQW", number[c->outputs.at[i]], 0);
    nc__buffer_print(to, "%u %u\n", (unsigned)b.count, (unsigned)b.wires);
    nc_fp4__bristol_widths(to, &c->input_groups);
    nc_fp4__bristol_widths(to, &c->output_groups);
    nc__buffer_print(to, "\n");
    nc__buffer_put(to, b.gates.data, b.gates.used);
    if (!number || b.gates.status != NC_OK) to->status = NC_ERR_MEMORY;
    nc__buffer_free(&b.gates);
    nc__free(NULL, number, n * sizeof *number);
}

/* -- AIGER ----------------------------------------------------------------------------------- */

/* ANDs of two literals, the larger first; each pair once. */
typedef struct nc_fp4__graph {
    nc_fp4__numbers pairs;
    nc__index known;
    uint32_t inputs;
    nc_status status;
} nc_fp4__graph;

static uint32_t nc_fp4__graph_and(nc_fp4__graph *g, uint32_t x, uint32_t y) {
    const uint32_t a = x > y ? x : y, b = x > y ? y : x, hash = nc_fp4__hash(a, b, 0, 0);
    uint32_t id;
    size_t at = hash;
    if (b == 0 || a == (b ^ 1)) return 0;
    if (b == 1 || a == b) return a;
    while ((id = nc__index_next(&g->known, hash, &at)) != UINT32_MAX)
        if (g->pairs.at[2 * id] == a && g->pairs.at[2 * id + 1] == b) break;
    if (id == UINT32_MAX) {
        id = g->pairs.count / 2;
        if (!nc_fp4__numbers_add(&g->pairs, a) || !nc_fp4__numbers_add(&g->pairs, b) ||
            !nc__index_add(&g->known, hash, id))
            g->status = NC_ERR_MEMORY;
    }
    return 2 * (g->inputs + 1 + id);
}

/* s ? b : a */
static uint32_t nc_fp4__graph_mux(nc_fp4__graph *g, uint32_t s, uint32_t b, uint32_t a) {
    const uint32_t one = nc_fp4__graph_and(g, s, b), zero = nc_fp4__graph_and(g, s ^ 1, a);
    return nc_fp4__graph_and(g, one ^ 1, zero ^ 1) ^ 1;
}

/* The literal of a function of the first n wires, at most three: the wire that leaves a constant,
 * or functions that are complements, chooses between the two; else the last one. */
static uint32_t nc_fp4__graph_node(nc_fp4__graph *g, const uint32_t in[3], uint8_t truth) {
    uint32_t v, best = 0, cost = 9, other;
    uint8_t one, zero;
    if (truth == 0 || truth == 0xFF) return truth & 1;
    for (v = 0; v < 3; v++) {
        uint32_t price;
        if (!nc_fp4__depends_on(truth, v)) continue;
        zero = nc_fp4__cofactor(truth, v, 0);
        one = nc_fp4__cofactor(truth, v, 1);
        price = zero == 0 || one == 0 || zero == 0xFF || one == 0xFF ? 1
                : zero == 255 - one                                  ? 2
                                                                     : 3;
        if (price <= cost) {
            cost = price;
            best = v;
        }
    }
    zero = nc_fp4__cofactor(truth, best, 0);
    one = nc_fp4__cofactor(truth, best, 1);
    other = nc_fp4__graph_node(g, in, zero); /* before that of one, whatever the compiler */
    return nc_fp4__graph_mux(g, in[best],
                             zero == 255 - one ? other ^ 1 : nc_fp4__graph_node(g, in, one), other);
}

/* A difference of two literals, seven bits a byte. */
static void nc_fp4__put_delta(nc__buffer *to, uint32_t value) {
    for (; value > 127; value >>= 7) nc__buffer_le(to, (value & 127) | 128, 1);
    nc__buffer_le(to, value, 1);
}

/* "i3 name" for each bit of one side. */
static void nc_fp4__aiger_names(nc__buffer *to, const nc_fp4__groups *groups, uint32_t bits,
                                char kind) {
    uint32_t i;
    for (i = 0; i < bits; i++) {
        nc__buffer_print(to, "%c%u ", kind, (unsigned)i);
        nc_fp4__put_bit(to, groups, i);
        nc__buffer_put(to, "\n", 1);
    }
}

/* Inputs are the first variables, ANDs follow in the order in which they are needed. */
static void nc_fp4__write_aiger(const nc_fp4_circuit *c, const uint8_t *live, nc__buffer *to) {
    const size_t n = c->nodes.count;
    uint32_t *literal = (uint32_t *)nc__calloc(NULL, n * sizeof *literal), in[3], k;
    const uint32_t inputs = c->inputs.count, outputs = c->outputs.count;
    nc_fp4__graph g;
    size_t i;
    memset(&g, 0, sizeof g);
    g.inputs = inputs;
    for (i = 0; literal && i < n; i++) {
        const nc_fp4__node *node = &c->nodes.at[i];
        if (node->inputs == NC_FP4__INPUT) literal[i] = 2 * (node->in[0] + 1);
        if (!live[i] || node->inputs == NC_FP4__INPUT) continue;
        for (k = 0; k < 3; k++) in[k] = k < node->inputs ? literal[node->in[k]] : 0;
        literal[i] = nc_fp4__graph_node(&g, in, nc_fp4__widened(node->truth, node->inputs));
    }
    k = g.pairs.count / 2;
    nc__buffer_print(to, "aig %u %u 0 %u %u\n", (unsigned)(inputs + k), (unsigned)inputs,
                     (unsigned)outputs, (unsigned)k);
    for (i = 0; literal && i < outputs; i++)
        nc__buffer_print(to, "%u\n", (unsigned)literal[c->outputs.at[i]]);
    for (i = 0; i < k; i++) {
        const uint32_t *pair = &g.pairs.at[2 * i];
        nc_fp4__put_delta(to, 2 * (inputs + 1 + (uint32_t)i) - pair[0]);
        nc_fp4__put_delta(to, pair[0] - pair[1]);
    }
    nc_fp4__aiger_names(to, &c->input_groups, inputs, 'i');
    nc_fp4__aiger_names(to, &c->output_groups, outputs, 'o');
    nc__buffer_print(to, "c\n%s\n", c->name);
    if (!literal || g.status != NC_OK) to->status = NC_ERR_MEMORY;
    nc_fp4__numbers_free(&g.pairs);
    nc__index_free(&g.known);
    nc__free(NULL, literal, n * sizeof *literal);
}

/* -- DIMACS ------------------------------------------------------------------------------------ */

/* Cubes of three variables, 0 to 26: digit k of the number to base 3 is 0: variable k does not
 * count, 1: it is 1, 2: it is 0. Returns the cube's truth table. */
static uint32_t nc_fp4__cube(uint32_t cube) {
    uint32_t k, table = 0xFF;
    for (k = 0; k < 3; k++, cube /= 3)
        if (cube % 3) table &= cube % 3 == 1 ? nc_fp4__variable[k] : nc_fp4__variable[k] ^ 0xFFu;
    return table & 0xFF;
}

/* Is a cube a prime implicant of the function: does it lie in it, and no larger cube around it? */
static int nc_fp4__is_prime(uint32_t cube, uint32_t truth) {
    uint32_t k, place = 1;
    if (nc_fp4__cube(cube) & ~truth) return 0;
    for (k = 0; k < 3; k++, place *= 3)
        if (cube / place % 3 && !(nc_fp4__cube(cube - cube / place % 3 * place) & ~truth)) return 0;
    return 1;
}

/* The clauses that tie a node to its inputs, by the prime implicants of it and its complement
 * (Tseitin, On the complexity of derivation in propositional calculus, 1968): literals in `to`, as
 * numbers below 8: 2 k of input k, 6 of the node; + 1 complements. Returns how many literals; 0:
 * there is no such clause. */
static uint32_t nc_fp4__node_clause(uint32_t truth, uint32_t cube, int value, uint32_t to[4]) {
    uint32_t n = 0, k;
    if (!nc_fp4__is_prime(cube, value ? truth : ~truth & 0xFF)) return 0;
    for (k = 0; k < 3; k++, cube /= 3)
        if (cube % 3) to[n++] = 2 * k + (cube % 3 == 1);
    to[n++] = value ? 6 : 7;
    return n;
}

/* The clauses of all live nodes, and one for the outputs; returns how many. number: the variable of
 * each node. */
static uint64_t nc_fp4__dimacs_clauses(const nc_fp4_circuit *c, const uint8_t *live,
                                       const uint32_t *number, nc__buffer *to) {
    uint32_t literal[4], i, k, n, cube;
    uint64_t clauses = 1;
    int value;
    for (i = 0; i < c->nodes.count && to->status == NC_OK; i++) {
        const nc_fp4__node *node = &c->nodes.at[i];
        if (!live[i] || node->inputs == NC_FP4__INPUT) continue;
        for (cube = 0; cube < 27; cube++)
            for (value = 0; value < 2; value++) {
                n = nc_fp4__node_clause(node->truth, cube, value, literal);
                for (k = 0; k < n; k++)
                    nc__buffer_print(
                        to, "%s%u ", literal[k] & 1 ? "-" : "",
                        (unsigned)number[literal[k] > 5 ? i : node->in[literal[k] / 2]]);
                if (n) nc__buffer_print(to, "0\n");
                clauses += n > 0;
            }
    }
    for (i = 0; i < c->outputs.count; i++)
        nc__buffer_print(to, "%u ", (unsigned)number[c->outputs.at[i]]);
    nc__buffer_print(to, "0\n");
    return clauses;
}

static void nc_fp4__write_dimacs(const nc_fp4_circuit *c, const uint8_t *live, nc__buffer *to) {
    const uint32_t n = c->nodes.count;
    uint32_t *number = (uint32_t *)nc__calloc(NULL, n * sizeof *number), variables, i;
    uint64_t clauses;
    nc__buffer body;
    memset(&body, 0, sizeof body);
    variables = c->inputs.count;
    for (i = 0; number && i < n; i++) {
        if (c->nodes.at[i].inputs == NC_FP4__INPUT)
            number[i] = c->nodes.at[i].in[0] + 1;
        else if (live[i])
            number[i] = ++variables;
    }
    if (number) {
        clauses = nc_fp4__dimacs_clauses(c, live, number, &body);
        nc__buffer_print(to, "c %s: a solution makes an output 1; 1 to %u are the inputs\n",
                         c->name, (unsigned)c->inputs.count);
        nc__buffer_print(to, "p cnf %u %llu\n", (unsigned)variables, (unsigned long long)clauses);
        nc__buffer_put(to, body.data, body.used);
    }
    if (!number || body.status != NC_OK) to->status = NC_ERR_MEMORY;
    nc__buffer_free(&body);
    nc__free(NULL, number, n * sizeof *number);
}

NC_API nc_status nc_fp4_write_circuit(const nc_fp4_circuit *circuit, nc_fp4_file_kind kind,
                                      char **text, size_t *bytes) {
    nc__buffer to;
    uint8_t *live;
    if (text) *text = NULL;
    if (!text || !bytes) return NC_ERR_ARG;
    *bytes = 0;
    if (!circuit) return NC_ERR_ARG;
    if (kind != NC_FP4_BLIF && kind != NC_FP4_BRISTOL && kind != NC_FP4_JSON &&
        kind != NC_FP4_AIGER && kind != NC_FP4_DIMACS)
        return NC_ERR_UNSUPPORTED;
    memset(&to, 0, sizeof to);
    live = nc_fp4__live(circuit);
    if (!live) return NC_ERR_MEMORY;
    if (kind == NC_FP4_BLIF) nc_fp4__write_blif(circuit, live, &to);
    if (kind == NC_FP4_JSON) nc_fp4__write_json(circuit, live, &to);
    if (kind == NC_FP4_BRISTOL) nc_fp4__write_bristol(circuit, live, &to);
    if (kind == NC_FP4_AIGER) nc_fp4__write_aiger(circuit, live, &to);
    if (kind == NC_FP4_DIMACS) nc_fp4__write_dimacs(circuit, live, &to);
    nc__free(NULL, live, circuit->nodes.count);
    return nc_fp4__hand_over(&to, text, bytes);
}

NC__WARM_END

/* >>networks ===================================================================== */

/* Which units compute a circuit: every function of up to six wires that has a threshold unit in
 * E2M1 may replace the functions between (cuts by priority: Mishchenko, Cho, Chatterjee and
 * Brayton, Combinational and sequential mapping with priority cuts, 2007), and full adders that add
 * up bits of three weights become counters of a unit for each bit of the result. */

/* -- tables of six inputs -------------------------------------------------------------------- */

enum { NC_FP4__LEAVES = 6 };

/* Those of the inputs themselves. A table of fewer inputs does not depend on the others. */
static const uint64_t nc_fp4__variable6[NC_FP4__LEAVES] = {
    UINT64_C(0xAAAAAAAAAAAAAAAA), UINT64_C(0xCCCCCCCCCCCCCCCC), UINT64_C(0xF0F0F0F0F0F0F0F0),
    UINT64_C(0xFF00FF00FF00FF00), UINT64_C(0xFFFF0000FFFF0000), UINT64_C(0xFFFFFFFF00000000)};

/* The table with input v fixed to a value. */
static uint64_t nc_fp4__cofactor6(uint64_t truth, uint32_t v, int value) {
    const uint64_t m = nc_fp4__variable6[v], half = value ? truth & m : truth & ~m;
    return value ? half | half >> (1u << v) : half | half << (1u << v);
}

/* The table with input v complemented. */
static uint64_t nc_fp4__flip6(uint64_t truth, uint32_t v) {
    const uint64_t m = nc_fp4__variable6[v];
    return (truth & m) >> (1u << v) | (truth & ~m) << (1u << v);
}

/* The table with inputs u and u + 1 exchanged. */
static uint64_t nc_fp4__exchange6(uint64_t truth, uint32_t u) {
    const uint64_t m = nc_fp4__variable6[u] & ~nc_fp4__variable6[u + 1];
    const uint64_t differ = (truth ^ truth >> (1u << u)) & m;
    return truth ^ differ ^ differ << (1u << u);
}

/* The exclusive or of n inputs. */
static uint64_t nc_fp4__parity6(uint32_t n) {
    uint64_t truth = 0;
    while (n) truth ^= nc_fp4__variable6[--n];
    return truth;
}

static uint32_t nc_fp4__ones6(uint64_t x) {
    uint32_t n = 0;
    for (; x; x &= x - 1) n++;
    return n;
}

/* -- threshold functions by table -------------------------------------------------------------- */

/* Weights in falling order and two sums of them, in half units, with no sum between: what gives 1
 * from the higher one on. All functions of up to six inputs that have such weights are here once in
 * that order of their inputs (Chow parameters order them: Chow, On the characterization of
 * threshold functions, 1961). */
typedef struct nc_fp4__gap {
    uint64_t truth;
    uint32_t next; /* another way to the same function, + 1; 0: none */
    uint8_t weight[NC_FP4__LEAVES], low, high;
} nc_fp4__gap;
NC_FP4__LIST(nc_fp4__gap, nc_fp4__gaps)

/* What is known of a function: bit i of flips: a unit has it when input i comes complemented; bit
 * 6: as it is. */
typedef struct nc_fp4__fit {
    uint64_t truth;
    uint8_t cost, flips; /* cost: units, 255: not known how */
} nc_fp4__fit;
NC_FP4__LIST(nc_fp4__fit, nc_fp4__fits)
enum { NC_FP4__AS_IT_IS = 64, NC_FP4__NO_MATCH = 255 };

typedef struct nc_fp4__thresholds {
    nc_fp4__gaps gaps;
    nc__index first; /* gaps by truth */
    nc_fp4__fits matches;
    nc__index known; /* matches by truth */
} nc_fp4__thresholds;

/* A unit over given inputs, in half units. */
typedef struct nc_fp4__half_unit {
    int8_t weight[NC_FP4_UNIT_INPUTS], threshold;
} nc_fp4__half_unit;

static uint32_t nc_fp4__hash_truth(uint64_t truth) {
    return nc_fp4__hash((uint32_t)truth, (uint32_t)(truth >> 32), 0, 0);
}

/* The functions of one list of weights; those that are known stay behind it. 0: out of memory. */
static int nc_fp4__add_gaps(nc_fp4__thresholds *t, const uint8_t weight[NC_FP4__LEAVES]) {
    uint64_t with[6 * 12 + 1], truth = 0;
    uint32_t sum[64], c, i, low, high;
    memset(with, 0, sizeof with);
    for (sum[0] = 0, with[0] = 1, c = 1; c < 64; c++) {
        for (i = 0; !(c >> i & 1); i++) {
        }
        sum[c] = sum[c & (c - 1)] + weight[i];
        with[sum[c]] |= UINT64_C(1) << c;
    }
    for (high = sum[63]; high > 0; high = low) {
        nc_fp4__gap gap;
        uint32_t hash, id;
        size_t at;
        truth |= with[high];
        for (low = high - 1; !with[low]; low--) {
        }
        if (high - low < 2) continue; /* no threshold between */
        at = hash = nc_fp4__hash_truth(truth);
        while ((id = nc__index_next(&t->first, hash, &at)) != UINT32_MAX &&
               t->gaps.at[id].truth != truth) {
        }
        gap.truth = truth;
        gap.next = 0;
        memcpy(gap.weight, weight, sizeof gap.weight);
        gap.low = (uint8_t)low;
        gap.high = (uint8_t)high;
        if (id != UINT32_MAX) {
            gap.next = t->gaps.at[id].next;
            t->gaps.at[id].next = t->gaps.count + 1;
        } else if (!nc__index_add(&t->first, hash, t->gaps.count)) {
            return 0;
        }
        if (!nc_fp4__gaps_add(&t->gaps, gap)) return 0;
    }
    return 1;
}

/* All lists of weights, small ones first. 0: out of memory. */
static int nc_fp4__fill_gaps(nc_fp4__thresholds *t) {
    static const uint8_t value[8] = {0, 1, 2, 3, 4, 6, 8, 12};
    uint8_t at[NC_FP4__LEAVES] = {0}, weight[NC_FP4__LEAVES];
    uint32_t i, j;
    for (;;) { /* numbers of the values, in falling order */
        for (i = 0; i < NC_FP4__LEAVES; i++) weight[i] = value[at[i]];
        if (!nc_fp4__add_gaps(t, weight)) return 0;
        for (i = NC_FP4__LEAVES; i-- > 0 && at[i] == (i ? at[i - 1] : 7);) {
        }
        if (i >= NC_FP4__LEAVES) return 1;
        at[i]++;
        for (j = i + 1; j < NC_FP4__LEAVES; j++) at[j] = 0;
    }
}

static void nc_fp4__free_thresholds(nc_fp4__thresholds *t) {
    nc_fp4__gaps_free(&t->gaps);
    nc_fp4__fits_free(&t->matches);
    nc__index_free(&t->first);
    nc__index_free(&t->known);
}

/* A threshold strictly between two sums, in half units, as far from both as there is; 99: none. */
static int nc_fp4__between(int low, int high) {
    int best = 99, far = 0, i;
    for (i = 0; i < 15; i++) {
        const int t = nc_fp4__twice[i], a = t - low, b = high - t, margin = a < b ? a : b;
        if (margin > far) far = margin, best = t;
    }
    return best;
}

/* The unit of a function that rises with its inputs, those of `negative` complemented; order[i]:
 * which input comes at place i. */
static int nc_fp4__look_up(const nc_fp4__thresholds *t, uint64_t truth, const uint8_t *order,
                           uint32_t negative, nc_fp4__half_unit *unit) {
    const uint32_t hash = nc_fp4__hash_truth(truth);
    size_t at = hash;
    uint32_t id, i;
    while ((id = nc__index_next(&t->first, hash, &at)) != UINT32_MAX &&
           t->gaps.at[id].truth != truth) {
    }
    if (id == UINT32_MAX) return 0;
    for (id++; id; id = t->gaps.at[id - 1].next) {
        const nc_fp4__gap *gap = &t->gaps.at[id - 1];
        int off = 0, threshold;
        for (i = 0; i < NC_FP4__LEAVES; i++)
            if (negative >> order[i] & 1) off += gap->weight[i];
        threshold = nc_fp4__between(gap->low - off, gap->high - off);
        if (threshold == 99) continue;
        for (i = 0; i < NC_FP4__LEAVES; i++)
            unit->weight[order[i]] =
                (int8_t)(negative >> order[i] & 1 ? -gap->weight[i] : gap->weight[i]);
        unit->threshold = (int8_t)threshold;
        return 1;
    }
    return 0;
}

/* Weights and threshold of a function of six inputs, where E2M1 has them; 0: none found. Inputs of
 * equal rank may have different weights: complemented ones are tried as the first and as the last
 * of them. */
static int nc_fp4__realise(const nc_fp4__thresholds *t, uint64_t truth, nc_fp4__half_unit *unit) {
    uint8_t order[NC_FP4__LEAVES], hold;
    uint32_t rank[NC_FP4__LEAVES], negative = 0, i, j, last;
    memset(unit, 0, sizeof *unit);
    for (i = 0; i < NC_FP4__LEAVES; i++) {
        const uint64_t zero = nc_fp4__cofactor6(truth, i, 0), one = nc_fp4__cofactor6(truth, i, 1);
        if (zero & ~one) {
            if (one & ~zero) return 0; /* it neither rises nor falls */
            negative |= 1u << i;
            truth = nc_fp4__flip6(truth, i);
        }
    }
    for (i = 0; i < NC_FP4__LEAVES; i++) rank[i] = 2 * nc_fp4__ones6(truth & nc_fp4__variable6[i]);
    for (last = 0; last < 2; last++) {
        uint64_t sorted = truth;
        for (i = 0; i < NC_FP4__LEAVES; i++) order[i] = (uint8_t)i;
        for (i = 1; i < NC_FP4__LEAVES; i++)
            for (j = i; j > 0; j--) {
                const uint32_t a = order[j - 1], b = order[j];
                const uint32_t before = rank[a] + ((negative >> a & 1) ^ last);
                if (before >= rank[b] + ((negative >> b & 1) ^ last)) break;
                hold = order[j];
                order[j] = order[j - 1];
                order[j - 1] = hold;
                sorted = nc_fp4__exchange6(sorted, j - 1);
            }
        if (nc_fp4__look_up(t, sorted, order, negative, unit)) return 1;
        if (!negative) break;
    }
    return 0;
}

/* Units for a function: one by the table, two for three inputs or fewer, three for an exclusive or.
 * Null: out of memory. */
static const nc_fp4__fit *nc_fp4__match_of(nc_fp4__thresholds *t, uint64_t truth) {
    const uint32_t hash = nc_fp4__hash_truth(truth);
    size_t at = hash;
    uint32_t id, i, n = NC_FP4__LEAVES;
    nc_fp4__fit m;
    nc_fp4__half_unit unit;
    while ((id = nc__index_next(&t->known, hash, &at)) != UINT32_MAX)
        if (t->matches.at[id].truth == truth) return &t->matches.at[id];
    while (n && nc_fp4__cofactor6(truth, n - 1, 0) == nc_fp4__cofactor6(truth, n - 1, 1)) n--;
    m.truth = truth;
    m.flips = 0;
    if (nc_fp4__realise(t, truth, &unit)) m.flips = NC_FP4__AS_IT_IS;
    for (i = 0; i < n && !(m.flips & NC_FP4__AS_IT_IS); i++)
        if (nc_fp4__realise(t, nc_fp4__flip6(truth, i), &unit)) m.flips |= (uint8_t)(1u << i);
    m.cost = NC_FP4__NO_MATCH;
    if (n <= 1)
        m.cost = n == 0; /* a constant; a wire */
    else if (m.flips & NC_FP4__AS_IT_IS)
        m.cost = 1;
    else if (n <= 3)
        m.cost = 2;
    else if (truth == nc_fp4__parity6(n) || ~truth == nc_fp4__parity6(n))
        m.cost = 3;
    if (!nc_fp4__fits_add(&t->matches, m) || !nc__index_add(&t->known, hash, t->matches.count - 1))
        return NULL;
    return &t->matches.at[t->matches.count - 1];
}

/* -- cones ------------------------------------------------------------------------------------- */

/* A node as a function of at most six others, its leaves. */
typedef struct nc_fp4__cone {
    uint64_t truth;                /* for leaf[j] = bit j */
    uint32_t leaf[NC_FP4__LEAVES]; /* nodes, rising */
    uint32_t mate; /* of a sum of the leaves: a node that is the carry; of a carry: the sum; or 0 */
    uint8_t leaves, cost, flips;
    uint8_t less; /* leaves behind these, on which the node does not depend */
} nc_fp4__cone;

/* A node while the cover is chosen. */
typedef struct nc_fp4__rooted {
    uint32_t first;       /* of its cones */
    uint32_t refs;        /* chosen cones and outputs that read it */
    uint32_t readers;     /* the same, as it is expected */
    uint32_t flow, depth; /* area flow in 1 / NC_FP4__AREA units */
    uint32_t counter;     /* that gives it, + 1; 0: none */
    uint8_t cones, best;
    uint8_t wanted; /* its wire shall hold the complement */
    uint8_t met;    /* by the walk that orders the units: 1 on the way, 2 done */
} nc_fp4__rooted;

/* Leaves (node, weight 1, 2 or 4) that add up to at most 7, and the bits of the sum. A bit j of
 * `flips`: leaf j counts where its node is 0; of `out_flips`: out[j] is the bit's complement. */
typedef struct nc_fp4__counter {
    uint32_t leaf[NC_FP4__LEAVES], out[3]; /* out 0: no node has this bit */
    uint32_t part[4];                      /* counters that it replaces */
    uint8_t weight[NC_FP4__LEAVES], leaves, flips, out_flips, parts;
} nc_fp4__counter;
NC_FP4__LIST(nc_fp4__counter, nc_fp4__counters)

enum { NC_FP4__AREA = 256, NC_FP4__MAX_FLOW = 1 << 30, NC_FP4__MAX_CONES = 8 };

typedef struct nc_fp4__covering {
    const nc_fp4_circuit *c;
    const nc_allocator *hooks;
    const uint8_t *needed;
    nc_fp4__thresholds table;
    nc_fp4__rooted *node;
    nc_fp4__cone *cones;
    size_t room;
    uint32_t most;     /* cones of a node */
    nc__index carries; /* nodes, by the leaves of which they are a carry */
    nc_fp4__counters counters;
    nc_fp4__numbers stack, order;
    nc_status status;
} nc_fp4__covering;

static int nc_fp4__is_inner(const nc_fp4__covering *k, uint32_t v) {
    return v > NC_FP4_TRUE && k->c->nodes.at[v].inputs != NC_FP4__INPUT;
}

/* Is v to be computed: no input or constant, and no complement, which is made of its node? */
static int nc_fp4__is_rooted(const nc_fp4__covering *k, uint32_t v) {
    return nc_fp4__is_inner(k, v) && k->needed[v] && !nc_fp4__is_not(&k->c->nodes.at[v]);
}

/* Leaves of both, rising; more than six: 7. */
static uint32_t nc_fp4__union(const nc_fp4__cone *a, const nc_fp4__cone *b,
                              uint32_t leaf[NC_FP4__LEAVES]) {
    uint32_t n = 0, i = 0, j = 0;
    while (i < a->leaves || j < b->leaves) {
        uint32_t v;
        if (n == NC_FP4__LEAVES) return n + 1;
        if (j == b->leaves || (i < a->leaves && a->leaf[i] <= b->leaf[j])) {
            v = a->leaf[i++];
            if (j < b->leaves && b->leaf[j] == v) j++;
        } else {
            v = b->leaf[j++];
        }
        leaf[n++] = v;
    }
    return n;
}

/* The table of a cone over more leaves. */
static uint64_t nc_fp4__spread(const nc_fp4__cone *cone, const uint32_t *leaf) {
    uint64_t truth = cone->truth;
    uint32_t i, p, to;
    for (i = cone->leaves; i-- > 0;) {
        for (to = i; leaf[to] != cone->leaf[i]; to++) {
        }
        for (p = i; p < to; p++) truth = nc_fp4__exchange6(truth, p);
    }
    return truth;
}

/* Move leaves that do not count behind those that do. Nothing is built on what is left: its leaves
 * could have values together that the circuit never gives them, and no proof looks that far. */
static void nc_fp4__shrink(nc_fp4__cone *cone) {
    uint32_t i, j, leaf;
    for (i = cone->leaves; i-- > 0;) {
        if (nc_fp4__cofactor6(cone->truth, i, 0) != nc_fp4__cofactor6(cone->truth, i, 1)) continue;
        leaf = cone->leaf[i];
        for (j = i; j + 1 < cone->leaves; j++) {
            cone->truth = nc_fp4__exchange6(cone->truth, j);
            cone->leaf[j] = cone->leaf[j + 1];
        }
        cone->leaf[j] = leaf;
        cone->leaves--;
        cone->less++;
    }
}

/* Units that the leaves take, shared with their other readers. */
static uint32_t nc_fp4__flow_of(const nc_fp4__covering *k, const nc_fp4__cone *cone) {
    uint64_t flow = (cone->cost == NC_FP4__NO_MATCH ? 4u : cone->cost) * (uint64_t)NC_FP4__AREA;
    uint32_t i;
    if (cone->mate && cone->leaves == 3 && cone->cost == 2)
        flow -= NC_FP4__AREA * 3 / 4; /* the carry is likely there anyway */
    for (i = 0; i < cone->leaves; i++) {
        const nc_fp4__rooted *leaf = &k->node[cone->leaf[i]];
        flow += leaf->flow / (leaf->readers ? leaf->readers : 1);
    }
    return (uint32_t)(flow < NC_FP4__MAX_FLOW ? flow : (uint64_t)NC_FP4__MAX_FLOW);
}

static uint32_t nc_fp4__cone_depth(const nc_fp4__covering *k, const nc_fp4__cone *cone) {
    uint32_t depth = 0, i;
    for (i = 0; i < cone->leaves; i++)
        if (k->node[cone->leaf[i]].depth > depth) depth = k->node[cone->leaf[i]].depth;
    return depth + cone->cost;
}

/* Is every leaf of a one of b? */
static int nc_fp4__within(const nc_fp4__cone *a, const nc_fp4__cone *b) {
    uint32_t i, j = 0;
    for (i = 0; i < a->leaves; i++, j++) {
        while (j < b->leaves && b->leaf[j] < a->leaf[i]) j++;
        if (j == b->leaves || b->leaf[j] != a->leaf[i]) return 0;
    }
    return 1;
}

/* Keep a cone of node v if it is among the best; the first one, of its own inputs, always stays.
 * flow: of the cones so far. */
static void nc_fp4__keep_cone(nc_fp4__covering *k, uint32_t v, nc_fp4__cone *cone, uint32_t *flow) {
    nc_fp4__rooted *node = &k->node[v];
    nc_fp4__cone *at = k->cones + node->first;
    const nc_fp4__fit *match;
    uint32_t i, inner = 0, mine;
    for (i = 0; i < node->cones; i++)
        if (at[i].leaves == cone->leaves && memcmp(at[i].leaf, cone->leaf, sizeof cone->leaf) == 0)
            return;
    match = nc_fp4__match_of(&k->table, cone->truth);
    if (!match) {
        k->status = NC_ERR_MEMORY;
        return;
    }
    for (i = 0; i < cone->leaves; i++) inner |= (uint32_t)nc_fp4__is_inner(k, cone->leaf[i]) << i;
    cone->cost = match->cost == 0 && cone->leaves > 1 ? 1 : match->cost;
    if (cone->leaves && (cone->truth == 0 || ~cone->truth == 0))
        cone->cost = NC_FP4__NO_MATCH; /* of no leaves it is a unit */
    cone->flips = (uint8_t)(match->flips & inner);
    if (cone->cost > 1 && cone->flips) cone->cost = 1;
    cone->mate = 0;
    mine = nc_fp4__flow_of(k, cone);
    for (i = 0; i < node->cones; i++)
        if (at[i].cost <= cone->cost && flow[i] <= mine && nc_fp4__within(&at[i], cone)) return;
    for (i = node->cones; i > 1 && flow[i - 1] > mine; i--) { /* a place in rising order */
        if (i == k->most) continue;
        at[i] = at[i - 1];
        flow[i] = flow[i - 1];
    }
    if (i == k->most) return;
    at[i] = *cone;
    flow[i] = mine;
    if (node->cones < k->most) node->cones++;
}

/* Cone j of a fanin: itself, then its own. 0: not to be built on. */
static int nc_fp4__cone_at(const nc_fp4__covering *k, uint32_t v, uint32_t j, nc_fp4__cone *cone) {
    if (j) {
        *cone = k->cones[k->node[v].first + j - 1];
        return !cone->less;
    }
    memset(cone, 0, sizeof *cone);
    cone->leaf[0] = v;
    cone->leaves = 1;
    cone->truth = nc_fp4__variable6[0];
    return 1;
}

/* The cone of node v whose inputs have the cones of `in`; 0: too many leaves. */
static int nc_fp4__join(const nc_fp4__node *node, const nc_fp4__cone in[3], nc_fp4__cone *cone) {
    uint64_t x[3] = {0, 0, 0};
    uint32_t i, n;
    memset(cone, 0, sizeof *cone);
    for (i = 0; i < node->inputs; i++) {
        uint32_t leaf[NC_FP4__LEAVES];
        n = nc_fp4__union(cone, &in[i], leaf);
        if (n > NC_FP4__LEAVES) return 0;
        memcpy(cone->leaf, leaf, n * sizeof *leaf);
        cone->leaves = (uint8_t)n;
    }
    for (i = 0; i < node->inputs; i++) x[i] = nc_fp4__spread(&in[i], cone->leaf);
    for (i = 0; i < 8; i++)
        if (node->truth >> i & 1)
            cone->truth |= (i & 1 ? x[0] : ~x[0]) & (i & 2 ? x[1] : ~x[1]) & (i & 4 ? x[2] : ~x[2]);
    return 1;
}

/* The best cones of node v, made of its inputs' cones. */
static void nc_fp4__find_cones(nc_fp4__covering *k, uint32_t v) {
    const nc_fp4__node *node = &k->c->nodes.at[v];
    const uint32_t most = node->inputs == 3 ? 5 : NC_FP4__MAX_CONES;
    uint32_t count[3] = {1, 1, 1}, flow[NC_FP4__MAX_CONES] = {0}, leaf[NC_FP4__LEAVES], a, b, c, i;
    nc_fp4__cone in[3], cone;
    memset(in, 0, sizeof in);
    for (i = 0; i < node->inputs; i++) {
        count[i] = 1 + k->node[node->in[i]].cones;
        if (count[i] > 1 + most) count[i] = 1 + most;
    }
    for (a = 0; a < count[0]; a++) {
        if (!nc_fp4__cone_at(k, node->in[0], a, &in[0])) continue;
        for (b = 0; b < count[1]; b++) {
            if (node->inputs > 1 && (!nc_fp4__cone_at(k, node->in[1], b, &in[1]) ||
                                     nc_fp4__union(&in[0], &in[1], leaf) > NC_FP4__LEAVES))
                continue;
            for (c = 0; c < count[2]; c++) {
                if (node->inputs > 2 && !nc_fp4__cone_at(k, node->in[2], c, &in[2])) continue;
                if (!nc_fp4__join(node, in, &cone)) continue;
                nc_fp4__keep_cone(k, v, &cone, flow);
                nc_fp4__shrink(&cone);
                if (cone.less) nc_fp4__keep_cone(k, v, &cone, flow);
                if (k->most == 1 || k->status != NC_OK) return;
            }
        }
    }
}

/* -- sums and carries -------------------------------------------------------------------------- */

/* Is a function of two or three inputs a carry: AND, or the majority, of inputs some of which are
 * complemented (bits of flips), complemented itself where *out is 1? */
static int nc_fp4__is_carry(const nc_fp4__cone *cone, uint32_t *flips, uint32_t *out) {
    const uint64_t *x = nc_fp4__variable6;
    const uint64_t carry = cone->leaves == 2 ? x[0] & x[1] : (x[0] & x[1]) | (x[2] & (x[0] | x[1]));
    uint32_t f, i;
    if (cone->leaves != 2 && cone->leaves != 3) return 0;
    for (f = 0; f < 1u << cone->leaves; f++) {
        uint64_t truth = cone->truth;
        for (i = 0; i < cone->leaves; i++)
            if (f >> i & 1) truth = nc_fp4__flip6(truth, i);
        if (truth != carry && ~truth != carry) continue;
        *flips = f;
        *out = truth != carry;
        return 1;
    }
    return 0;
}

static int nc_fp4__is_sum(const nc_fp4__cone *cone) {
    const uint64_t parity = nc_fp4__parity6(cone->leaves);
    return cone->leaves >= 2 && (cone->truth == parity || ~cone->truth == parity);
}

static uint32_t nc_fp4__hash_leaves(const nc_fp4__cone *cone) {
    return nc_fp4__hash(cone->leaf[0], cone->leaf[1], cone->leaves > 2 ? cone->leaf[2] : 0,
                        cone->leaves);
}

/* Find for every sum of two or three a node that is a carry of the same leaves. They are in
 * `carries` as 8 times the node and the number of the cone. */
static void nc_fp4__find_mates(nc_fp4__covering *k) {
    uint32_t v, i, f, o, id, round;
    for (round = 0; round < 2; round++)
        for (v = 0; v < k->c->nodes.count && k->status == NC_OK; v++)
            for (i = 0; i < k->node[v].cones; i++) {
                nc_fp4__cone *cone = &k->cones[k->node[v].first + i], *carry;
                const uint32_t hash = nc_fp4__hash_leaves(cone);
                size_t at = hash;
                if (round == 0 && nc_fp4__is_carry(cone, &f, &o) &&
                    !nc__index_add(&k->carries, hash, 8 * v + i))
                    k->status = NC_ERR_MEMORY;
                if (round == 0 || cone->leaves > 3 || !nc_fp4__is_sum(cone)) continue;
                while ((id = nc__index_next(&k->carries, hash, &at)) != UINT32_MAX) {
                    carry = &k->cones[k->node[id / 8].first + id % 8];
                    if (carry->leaves != cone->leaves || !nc_fp4__within(carry, cone)) continue;
                    cone->mate = id / 8;
                    if (!carry->mate) carry->mate = v;
                    break;
                }
            }
}

/* -- choosing ---------------------------------------------------------------------------------- */

static nc_fp4__cone *nc_fp4__best_cone(const nc_fp4__covering *k, uint32_t v) {
    return &k->cones[k->node[v].first + k->node[v].best];
}

/* Units of a cone as things are: a sum costs one where its carry is computed anyway, and a carry
 * saves one where its sum is. */
static uint32_t nc_fp4__cost_of(const nc_fp4__covering *k, const nc_fp4__cone *cone) {
    const nc_fp4__cone *mate;
    if (!cone->mate || !k->node[cone->mate].refs) return cone->cost;
    mate = nc_fp4__best_cone(k, cone->mate);
    return cone->cost - (uint32_t)(mate->leaves == cone->leaves && nc_fp4__within(mate, cone));
}

/* Choose the cone of least flow for every node, then of least depth, then of fewest leaves. */
static void nc_fp4__choose_flow(nc_fp4__covering *k) {
    uint32_t v, i;
    for (v = 0; v < k->c->nodes.count; v++) {
        nc_fp4__rooted *node = &k->node[v];
        for (i = 0; i < node->cones; i++) {
            const nc_fp4__cone *cone = &k->cones[node->first + i];
            const uint32_t flow = nc_fp4__flow_of(k, cone), depth = nc_fp4__cone_depth(k, cone);
            if (cone->cost == NC_FP4__NO_MATCH ||
                (i && (flow > node->flow || (flow == node->flow && depth >= node->depth))))
                continue;
            node->flow = flow;
            node->depth = depth;
            node->best = (uint8_t)i;
        }
    }
}

/* Count the readers of every node in the cover that the choices make. */
static void nc_fp4__count_refs(nc_fp4__covering *k) {
    const nc_fp4_circuit *c = k->c;
    uint32_t v, i;
    for (v = 0; v < c->nodes.count; v++) k->node[v].refs = 0;
    for (i = 0; i < c->outputs.count; i++) {
        v = c->outputs.at[i];
        k->node[nc_fp4__is_not(&c->nodes.at[v]) ? c->nodes.at[v].in[0] : v].refs++;
    }
    for (v = c->nodes.count; v-- > 0;)
        if (k->node[v].refs && nc_fp4__is_inner(k, v)) {
            const nc_fp4__cone *cone = nc_fp4__best_cone(k, v);
            for (i = 0; i < cone->leaves; i++) k->node[cone->leaf[i]].refs++;
        }
}

/* Add a reader to the leaves of a cone, and to the leaves of what so comes in: the units that this
 * takes; or (step -1) take it back. */
static uint32_t nc_fp4__refer(nc_fp4__covering *k, const nc_fp4__cone *cone, int step) {
    uint32_t area = nc_fp4__cost_of(k, cone), i, v;
    k->stack.count = 0;
    for (;;) {
        for (i = 0; i < cone->leaves; i++) {
            nc_fp4__rooted *leaf = &k->node[cone->leaf[i]];
            const uint32_t before = leaf->refs;
            leaf->refs = step > 0 ? before + 1 : before - 1;
            if ((step > 0 ? before : leaf->refs) || !nc_fp4__is_inner(k, cone->leaf[i])) continue;
            if (!nc_fp4__numbers_add(&k->stack, cone->leaf[i])) k->status = NC_ERR_MEMORY;
        }
        if (!k->stack.count) return area;
        v = k->stack.at[--k->stack.count];
        cone = nc_fp4__best_cone(k, v);
        area += nc_fp4__cost_of(k, cone);
    }
}

/* For every node of the cover the cone that takes the fewest units, all others as they are (exact
 * area); in long chains, where that takes in all before, only as far as 2^25 units go. */
static void nc_fp4__choose_exact(nc_fp4__covering *k) {
    uint64_t spent = 0;
    uint32_t v, i;
    for (v = 0; v < k->c->nodes.count && k->status == NC_OK && spent >> 25 == 0; v++) {
        nc_fp4__rooted *node = &k->node[v];
        uint32_t least = UINT32_MAX;
        if (!nc_fp4__is_inner(k, v) || !node->cones) continue;
        if (node->refs) (void)nc_fp4__refer(k, nc_fp4__best_cone(k, v), -1);
        for (i = 0; i < node->cones && node->refs; i++) {
            const nc_fp4__cone *cone = &k->cones[node->first + i];
            uint32_t area, depth;
            if (cone->cost == NC_FP4__NO_MATCH) continue;
            area = nc_fp4__refer(k, cone, 1);
            spent += area;
            (void)nc_fp4__refer(k, cone, -1);
            depth = nc_fp4__cone_depth(k, cone);
            if (area > least || (area == least && depth >= node->depth)) continue;
            least = area;
            node->depth = depth;
            node->best = (uint8_t)i;
        }
        if (node->refs)
            (void)nc_fp4__refer(k, nc_fp4__best_cone(k, v), 1);
        else
            node->depth = nc_fp4__cone_depth(k, nc_fp4__best_cone(k, v));
    }
}

/* Cones for all nodes that count, and which of them make the circuit. */
static void nc_fp4__choose_cover(nc_fp4__covering *k) {
    const nc_fp4_circuit *c = k->c;
    uint32_t v, i, at = 0, round;
    for (v = 0; v < c->nodes.count; v++)
        if (nc_fp4__is_rooted(k, v))
            for (i = 0; i < c->nodes.at[v].inputs; i++) k->node[c->nodes.at[v].in[i]].readers++;
    for (v = 0; v < c->nodes.count && k->status == NC_OK; v++) {
        if (!nc_fp4__is_rooted(k, v)) continue;
        k->node[v].first = at;
        at += k->most;
        nc_fp4__find_cones(k, v);
        for (i = 0; i < k->node[v].cones; i++) { /* for those that read it */
            const nc_fp4__cone *cone = &k->cones[k->node[v].first + i];
            const uint32_t flow = nc_fp4__flow_of(k, cone);
            if (cone->cost == NC_FP4__NO_MATCH || (i && flow >= k->node[v].flow)) continue;
            k->node[v].flow = flow;
            k->node[v].best = (uint8_t)i;
            k->node[v].depth = nc_fp4__cone_depth(k, cone);
        }
    }
    if (k->status == NC_OK) nc_fp4__find_mates(k);
    for (round = 0; round < 3 && k->status == NC_OK; round++) {
        nc_fp4__choose_flow(k);
        nc_fp4__count_refs(k);
        for (v = 0; v < c->nodes.count; v++)
            k->node[v].readers = (k->node[v].readers + 2 * k->node[v].refs + 1) / 3;
    }
    for (round = 0; round < 2 && k->status == NC_OK; round++) nc_fp4__choose_exact(k);
}

/* -- counters ---------------------------------------------------------------------------------- */

/* Full and half adders of the cover: a sum of two or three leaves, and the carry where it is
 * there. */
static void nc_fp4__find_adders(nc_fp4__covering *k) {
    uint32_t v, i, f, o;
    for (v = 0; v < k->c->nodes.count && k->status == NC_OK; v++) {
        const nc_fp4__cone *sum, *carry;
        nc_fp4__counter a;
        if (!k->node[v].refs || !nc_fp4__is_inner(k, v)) continue;
        sum = nc_fp4__best_cone(k, v);
        if (!nc_fp4__is_sum(sum) || k->node[v].counter) continue;
        memset(&a, 0, sizeof a);
        a.leaves = sum->leaves;
        memcpy(a.leaf, sum->leaf, sizeof a.leaf);
        for (i = 0; i < a.leaves; i++) a.weight[i] = 1;
        a.out[0] = v;
        if (a.leaves <= 3 && sum->mate && k->node[sum->mate].refs) {
            carry = nc_fp4__best_cone(k, sum->mate);
            if (carry->leaves == sum->leaves && nc_fp4__within(carry, sum) &&
                nc_fp4__is_carry(carry, &f, &o) && !k->node[sum->mate].counter) {
                a.out[1] = sum->mate;
                a.flips = (uint8_t)f;
                a.out_flips = (uint8_t)(2 * o);
            }
        }
        o = (uint32_t)(sum->truth & 1);  /* the sum of leaves that are all 0 .. */
        o ^= nc_fp4__ones6(a.flips) & 1; /* .. and of the leaves as they count */
        a.out_flips = (uint8_t)(a.out_flips | o);
        if (!nc_fp4__counters_add(&k->counters, a)) k->status = NC_ERR_MEMORY;
        for (i = 0; i < 2; i++)
            if (a.out[i]) k->node[a.out[i]].counter = k->counters.count;
    }
}

/* Count all leaves the other way round: sum and carry of three are complemented with them. */
static int nc_fp4__turn(nc_fp4__counter *a) {
    if (a->leaves != 3) return 0;
    a->flips ^= 7;
    a->out_flips ^= 3;
    return 1;
}

/* Nodes of an adder that read v. */
static uint32_t nc_fp4__reads_of(const nc_fp4__counter *a, uint32_t v) {
    uint32_t i;
    for (i = 0; i < a->leaves; i++)
        if (a->leaf[i] == v) return (a->out[0] != 0) + (uint32_t)(a->out[1] != 0);
    return 0;
}

static uint32_t nc_fp4__place_of(const nc_fp4__counter *a, uint32_t v) {
    uint32_t i = 0;
    while (i < a->leaves && a->leaf[i] != v) i++;
    return i;
}

/* Does a leaf of `to` count as bit `out` of `from` does? A sum without a carry does not mind. */
static int nc_fp4__agree(const nc_fp4__counter *from, uint32_t out, nc_fp4__counter *to) {
    const uint32_t at = nc_fp4__place_of(to, from->out[out]);
    if ((to->flips >> at & 1) == (from->out_flips >> out & 1)) return 1;
    if (to->out[1]) return 0;
    to->flips ^= (uint8_t)(1u << at);
    to->out_flips ^= 1;
    return 1;
}

/* Add leaves to a counter: 0 when there are too many, or one of them twice. */
static int nc_fp4__add_leaves(nc_fp4__counter *to, const nc_fp4__counter *a, uint32_t weight,
                              const uint32_t *without, uint32_t count) {
    uint32_t i, j;
    for (i = 0; i < a->leaves; i++) {
        for (j = 0; j < count && without[j] != a->leaf[i]; j++) {
        }
        if (j < count) continue;
        for (j = 0; j < to->leaves; j++)
            if (to->leaf[j] == a->leaf[i]) return 0;
        if (to->leaves == NC_FP4__LEAVES) return 0;
        to->leaf[to->leaves] = a->leaf[i];
        to->weight[to->leaves] = (uint8_t)weight;
        to->flips |= (uint8_t)((a->flips >> i & 1) << to->leaves);
        to->leaves++;
    }
    return 1;
}

/* Bits of adders that only others of them read: part[count] adds up the carries of the others, and
 * these may add up each other's sums. Returns how many such bits there are, in `inner`; 0: there
 * are others, or they do not count alike. *sum: the adder whose sum is left. */
static uint32_t nc_fp4__inner_bits(const nc_fp4__covering *k, nc_fp4__counter *part, uint32_t count,
                                   uint32_t inner[6], uint32_t *sum) {
    uint32_t inners = 0, sums = 0, i, j;
    for (i = 0; i < count; i++) {
        const uint32_t s = part[i].out[0], carry = part[i].out[1];
        for (j = 0; j < count && !(j != i && s && nc_fp4__reads_of(&part[j], s)); j++) {
        }
        if (j < count && k->node[s].refs == nc_fp4__reads_of(&part[j], s)) {
            if (!nc_fp4__agree(&part[i], 0, &part[j])) return 0;
            inner[inners++] = s;
        } else {
            sums++;
            *sum = i;
        }
        if (k->node[carry].refs != nc_fp4__reads_of(&part[count], carry) ||
            !nc_fp4__agree(&part[i], 1, &part[count]))
            return 0;
        inner[inners++] = carry;
    }
    return sums == 1 ? inners : 0;
}

/* Adders whose carries the adder `top` adds up, and top itself, as one counter. low: numbers of
 * those adders, `count` of them; bits of turned: adders that count the other way round. Returns
 * the units that this saves; 0: it is not possible. */
static uint32_t nc_fp4__join_adders(const nc_fp4__covering *k, uint32_t top, const uint32_t *low,
                                    uint32_t count, uint32_t turned, nc_fp4__counter *joined) {
    nc_fp4__counter part[4];
    uint32_t inner[6], inners, sum = 0, before = 0, total = 0, i;
    memset(joined, 0, sizeof *joined);
    for (i = 0; i <= count; i++) {
        joined->part[i] = i < count ? low[i] : top;
        part[i] = k->counters.at[joined->part[i]];
        before += part[i].out[0] ? 2 : 1;
        if (turned >> i & 1 && !nc_fp4__turn(&part[i])) return 0;
    }
    inners = nc_fp4__inner_bits(k, part, count, inner, &sum);
    if (!inners) return 0;
    for (i = 0; i <= count; i++)
        if (!nc_fp4__add_leaves(joined, &part[i], i < count ? 1 : 2, inner, inners)) return 0;
    for (i = 0; i < joined->leaves; i++) total += joined->weight[i];
    if (total > 7 || total < 4) return 0;
    joined->parts = (uint8_t)(count + 1);
    joined->out[0] = part[sum].out[0];
    joined->out[1] = part[count].out[0];
    joined->out[2] = part[count].out[1];
    joined->out_flips = (uint8_t)((part[sum].out_flips & 1) | (part[count].out_flips & 3) << 1);
    total = joined->out[0] ? 3 : joined->out[1] ? 2 : 1;
    return before > total ? before - total : 0;
}

/* Join adder `top` with those that save the most; at least `least` units. */
static void nc_fp4__join_at(nc_fp4__covering *k, uint32_t top, uint32_t least) {
    const nc_fp4__counter *t = &k->counters.at[top];
    nc_fp4__counter joined, best;
    uint32_t low[3], some[3], lows = 0, subset, turned, saved = 0, i, n, now;
    memset(&best, 0, sizeof best);
    for (i = 0; i < t->leaves && t->leaves <= 3; i++) {
        const uint32_t a = k->node[t->leaf[i]].counter;
        if (a && k->counters.at[a - 1].out[1] == t->leaf[i] && !k->counters.at[a - 1].parts)
            low[lows++] = a - 1;
    }
    for (subset = 1; subset < 1u << lows; subset++) {
        for (n = 0, i = 0; i < lows; i++)
            if (subset >> i & 1) some[n++] = low[i];
        for (turned = 0; turned < 2u << n; turned++) {
            now = nc_fp4__join_adders(k, top, some, n, turned, &joined);
            if (now <= saved) continue;
            saved = now;
            best = joined;
        }
    }
    if (saved < least) return;
    if (!nc_fp4__counters_add(&k->counters, best)) {
        k->status = NC_ERR_MEMORY;
        return;
    }
    for (i = 0; i < best.parts; i++) {
        const nc_fp4__counter *a = &k->counters.at[best.part[i]];
        for (n = 0; n < 2; n++)
            if (a->out[n]) k->node[a->out[n]].counter = k->counters.count;
    }
}

/* Adders become counters, the more saving ones first. */
static void nc_fp4__join_all(nc_fp4__covering *k) {
    uint32_t adders, least, i;
    nc_fp4__find_adders(k);
    adders = k->counters.count;
    for (least = 3; least > 0; least--)
        for (i = 0; i < adders && k->status == NC_OK; i++) {
            const nc_fp4__counter *a = &k->counters.at[i];
            const uint32_t v = a->out[0] ? a->out[0] : a->out[1];
            if (k->node[v].counter == i + 1) nc_fp4__join_at(k, i, least);
        }
}

/* -- order and complements --------------------------------------------------------------------- */

/* The first node of those that are computed together with v. */
static uint32_t nc_fp4__leader(const nc_fp4__covering *k, uint32_t v) {
    const nc_fp4__counter *a;
    if (!k->node[v].counter) return v;
    a = &k->counters.at[k->node[v].counter - 1];
    return a->out[0] ? a->out[0] : a->out[1] ? a->out[1] : a->out[2];
}

/* What node v is computed of. */
static const uint32_t *nc_fp4__leaves_of(const nc_fp4__covering *k, uint32_t v, uint32_t *count) {
    const nc_fp4__cone *cone;
    if (k->node[v].counter) {
        const nc_fp4__counter *a = &k->counters.at[k->node[v].counter - 1];
        *count = a->leaves;
        return a->leaf;
    }
    cone = nc_fp4__best_cone(k, v);
    *count = cone->leaves;
    return cone->leaf;
}

/* The walk has come back to `node`, which is on the way: of the counters between, the last one
 * that replaces adders becomes these again, and the walk is to begin anew. Without counters
 * nothing needs itself. */
static void nc_fp4__part_counter(nc_fp4__covering *k, uint32_t node) {
    uint32_t at = k->stack.count, i, j, v;
    const nc_fp4__counter *a = NULL;
    do {
        at -= 2;
        v = k->stack.at[at];
        a = k->node[v].counter ? &k->counters.at[k->node[v].counter - 1] : NULL;
    } while (at > 0 && v != node && !(a && a->parts));
    if (!a || !a->parts) k->status = NC_ERR_UNSUPPORTED;
    for (i = 0; k->status == NC_OK && i < a->parts; i++)
        for (j = 0; j < 2; j++)
            if (k->counters.at[a->part[i]].out[j])
                k->node[k->counters.at[a->part[i]].out[j]].counter = a->part[i] + 1;
    for (at = 0; at < k->stack.count; at += 2) k->node[k->stack.at[at]].met = 0;
}

/* Put a node on the way, unless it is done. 0: it is on the way already. */
static int nc_fp4__step_to(nc_fp4__covering *k, uint32_t v) {
    if (!nc_fp4__is_inner(k, v)) return 1;
    v = nc_fp4__leader(k, v);
    if (k->node[v].met == 2) return 1;
    if (k->node[v].met == 1) return 0;
    k->node[v].met = 1;
    if (!nc_fp4__numbers_add(&k->stack, v) || !nc_fp4__numbers_add(&k->stack, 0))
        k->status = NC_ERR_MEMORY;
    return 1;
}

/* Walk from an output down; leaders of what is met go to `order` behind their leaves. Returns a
 * node that needs itself, because counters give several bits at once, or 0. */
static uint32_t nc_fp4__walk_down(nc_fp4__covering *k, uint32_t from) {
    k->stack.count = 0;
    (void)nc_fp4__step_to(k, from);
    while (k->stack.count && k->status == NC_OK) {
        uint32_t *top = &k->stack.at[k->stack.count - 2], count;
        const uint32_t *leaf = nc_fp4__leaves_of(k, top[0], &count);
        if (top[1] < count) {
            const uint32_t next = leaf[top[1]++];
            if (!nc_fp4__step_to(k, next)) return nc_fp4__leader(k, next);
            continue;
        }
        k->node[top[0]].met = 2;
        if (!nc_fp4__numbers_add(&k->order, top[0])) k->status = NC_ERR_MEMORY;
        k->stack.count -= 2;
    }
    return 0;
}

/* An order of evaluation. */
static void nc_fp4__order_units(nc_fp4__covering *k) {
    const nc_fp4_circuit *c = k->c;
    uint32_t i, v, circle;
    for (i = 0; i < c->outputs.count; i++) {
        v = c->outputs.at[i];
        if (nc_fp4__is_not(&c->nodes.at[v])) v = c->nodes.at[v].in[0];
        while (k->status == NC_OK && (circle = nc_fp4__walk_down(k, v)) != 0)
            nc_fp4__part_counter(k, circle);
    }
}

/* The table of a counter's highest bit: its leaves, those of `turned` complemented, are at least
 * `least`. */
static uint64_t nc_fp4__at_least(const nc_fp4__counter *a, uint32_t turned, uint32_t least) {
    uint64_t truth = 0;
    uint32_t v, i, sum;
    for (v = 0; v < 64; v++) {
        for (sum = 0, i = 0; i < a->leaves; i++)
            if ((v ^ turned) >> i & 1) sum += a->weight[i];
        truth |= (uint64_t)(sum >= least) << v;
    }
    return truth;
}

/* Of a function that takes one input complemented: an inner leaf that shall come so. */
static void nc_fp4__want_one(nc_fp4__covering *k, const uint32_t *leaf, uint32_t count,
                             uint32_t flips) {
    uint32_t i;
    for (i = 0; i < count; i++)
        if (flips >> i & 1 && k->node[leaf[i]].wanted & 1) return;
    for (i = 0; i < count; i++)
        if (flips >> i & 1 && nc_fp4__is_inner(k, leaf[i]) && !(k->node[leaf[i]].wanted & 2)) {
            k->node[leaf[i]].wanted = 3; /* and stays so */
            return;
        }
}

/* Which nodes shall have wires that hold their complements: those of which outputs show only that,
 * and leaves without which a counter's highest bit has no unit. */
static void nc_fp4__choose_complements(nc_fp4__covering *k) {
    const nc_fp4_circuit *c = k->c;
    uint32_t i, j, v, total, turned;
    nc_fp4__half_unit unit;
    for (i = 0; i < c->outputs.count; i++) {
        const nc_fp4__node *node = &c->nodes.at[c->outputs.at[i]];
        if (nc_fp4__is_not(node) && nc_fp4__is_inner(k, node->in[0]))
            k->node[node->in[0]].wanted = 1;
    }
    for (i = 0; i < c->outputs.count; i++) k->node[c->outputs.at[i]].wanted = 0;
    for (i = 0; i < k->order.count; i++) {
        const nc_fp4__counter *a;
        v = k->order.at[i];
        if (!k->node[v].counter) {
            const nc_fp4__cone *cone = nc_fp4__best_cone(k, v);
            if (cone->cost == 1 && cone->flips)
                nc_fp4__want_one(k, cone->leaf, cone->leaves, cone->flips);
            continue;
        }
        a = &k->counters.at[k->node[v].counter - 1];
        turned = a->flips;
        for (total = 0, j = 0; j < a->leaves; j++) {
            total += a->weight[j];
            turned ^= (k->node[a->leaf[j]].wanted & 1u) << j;
        }
        if (total >= 4 && (a->out[1] || a->out[2]) &&
            !nc_fp4__realise(&k->table, nc_fp4__at_least(a, turned, 4), &unit))
            nc_fp4__want_one(k, a->leaf, a->leaves, (1u << a->leaves) - 1);
    }
}

static void nc_fp4__free_cover(nc_fp4__covering *k) {
    const size_t nodes = k->c->nodes.count;
    nc_fp4__free_thresholds(&k->table);
    nc_fp4__counters_free(&k->counters);
    nc_fp4__numbers_free(&k->stack);
    nc_fp4__numbers_free(&k->order);
    nc__index_free(&k->carries);
    nc__free(k->hooks, k->node, nodes * sizeof *k->node);
    nc__free(k->hooks, k->cones, k->room * sizeof *k->cones);
}

/* The cover of a circuit. needed: of each node, whether it counts. */
static nc_status nc_fp4__find_cover(nc_fp4__covering *k) {
    const nc_fp4_circuit *c = k->c;
    uint32_t v;
    k->table.gaps.hooks = k->table.matches.hooks = k->table.first.hooks = k->hooks;
    k->table.known.hooks = k->carries.hooks = k->counters.hooks = k->hooks;
    k->stack.hooks = k->order.hooks = k->hooks;
    for (v = 0; v < c->nodes.count; v++) k->room += (size_t)nc_fp4__is_rooted(k, v);
    k->most = k->room > 1u << 22 ? 1 : k->room > 1u << 20 ? 4 : NC_FP4__MAX_CONES;
    k->room = k->room * k->most + 1;
    k->node = (nc_fp4__rooted *)nc__calloc(k->hooks, c->nodes.count * sizeof *k->node);
    k->cones = (nc_fp4__cone *)nc__calloc(k->hooks, nc__mul_size(k->room, sizeof *k->cones));
    if (!k->node || !k->cones || !nc_fp4__fill_gaps(&k->table)) return NC_ERR_MEMORY;
    nc_fp4__choose_cover(k);
    if (k->status == NC_OK) nc_fp4__join_all(k);
    if (k->status == NC_OK) nc_fp4__order_units(k);
    if (k->status == NC_OK) nc_fp4__choose_complements(k);
    return k->status;
}

/* -- networks ---------------------------------------------------------------------------------- */

/* One step of the bit-sliced program: a function of three operands. For the fast program also full
 * adders: the sum goes to out, the carry to `carry` unless that is UINT32_MAX, and in[2] may be the
 * carry of the step before, which is still in registers. */
enum { NC_FP4__FULL_ADDER = 256, NC_FP4__NEXT_ADDER = 257 };
typedef struct nc_fp4__step {
    uint32_t out, in[3];
    uint32_t truth; /* or one of the above */
    uint32_t carry;
} nc_fp4__step;

NC_FP4__LIST(nc_fp4_unit, nc_fp4__units)
NC_FP4__LIST(nc_fp4__step, nc_fp4__steps)

struct nc_fp4_network {
    nc_allocator own;
    const nc_allocator *hooks; /* null, or `own` */
    char *name;
    uint32_t inputs;
    nc_fp4__units units;
    nc_fp4__numbers outputs; /* wires: inputs first, then units */
    nc_fp4__groups input_groups, output_groups;
    /* operands of the program: inputs, outputs, temporaries */
    nc_fp4__steps steps;
    nc_fp4__steps fast; /* the same with full adders, and operands by nc_fp4__least_order */
    uint32_t temporaries;
    double margin;
    uint32_t depth;
    /* for structural verification: the circuit's digest, the wire of each of its nodes, and where
     * in `reasons` its reason begins: the number of nodes of which its units compute it (+ 256: the
     * wire holds the complement; + 65536 times the number of nodes that it reads, too, but does not
     * depend on), and all these nodes */
    uint64_t source;
    nc_fp4__numbers wire_of; /* UINT32_MAX: no unit has it */
    nc_fp4__numbers reason_of, reasons;
};

/* An empty network; null: out of memory. */
static nc_fp4_network *nc_fp4__new_network(const nc_allocator *hooks) {
    nc_fp4_network *n = (nc_fp4_network *)nc__calloc(hooks, sizeof *n);
    if (!n) return NULL;
    if (hooks) {
        n->own = *hooks;
        n->hooks = &n->own;
    }
    n->units.hooks = n->outputs.hooks = n->wire_of.hooks = n->hooks;
    n->reason_of.hooks = n->reasons.hooks = n->hooks;
    n->input_groups.hooks = n->output_groups.hooks = n->hooks;
    n->steps.hooks = n->fast.hooks = n->hooks;
    return n;
}

/* Twice sum - threshold of a unit for the inputs whose bits are set in `inputs`. */
static int nc_fp4__doubled_sum(const nc_fp4_unit *unit, uint32_t inputs) {
    int sum = -nc_fp4__doubled(unit->threshold), i;
    for (i = 0; i < unit->inputs; i++)
        if (inputs >> i & 1) sum += nc_fp4__doubled(unit->weight[i]);
    return sum;
}

/* What it computes: bit i for the inputs i. */
enum { NC_FP4__UNIT_WORDS = 1 << (NC_FP4_UNIT_INPUTS - 6) };
static void nc_fp4__unit_truth(const nc_fp4_unit *unit, uint64_t truth[NC_FP4__UNIT_WORDS]) {
    uint32_t i;
    memset(truth, 0, NC_FP4__UNIT_WORDS * sizeof *truth);
    for (i = 0; i < 1u << unit->inputs; i++)
        truth[i / 64] |= (uint64_t)(nc_fp4__doubled_sum(unit, i) > 0) << i % 64;
}

/* Least distance of its sums from its threshold, in half units, whether they occur or not. */
static uint32_t nc_fp4__unit_margin(const nc_fp4_unit *unit) {
    uint32_t margin = 255, i;
    for (i = 0; i < 1u << unit->inputs; i++) {
        const int sum = nc_fp4__doubled_sum(unit, i);
        const uint32_t distance = (uint32_t)(sum < 0 ? -sum : sum);
        margin = distance < margin ? distance : margin;
    }
    return margin;
}

/* -- cuts ------------------------------------------------------------------------------- */

/* A cut of a unit: at most three wires, its leaves, that decide what it gives (k-feasible cuts:
 * Cong and Ding, FlowMap, 1994). An input of the unit is a leaf, or its cut's leaves are. */
typedef struct nc_fp4__cut {
    uint32_t leaf[3];
    uint8_t leaves; /* 255: it takes more than three */
    uint8_t truth;
    uint8_t margin; /* doubled, over the inputs that can occur */
    uint8_t unused;
} nc_fp4__cut;

/* Add w to n leaves, at most 3; 0 when it would be the fourth. */
static int nc_fp4__add_leaf(uint32_t leaf[3], uint32_t *n, uint32_t w) {
    uint32_t i;
    for (i = 0; i < *n; i++)
        if (leaf[i] == w) return 1;
    if (*n == 3) return 0;
    leaf[(*n)++] = w;
    return 1;
}

/* Leaves of a unit where the inputs of `through` give theirs. Returns how many, 255: too many. */
static uint32_t nc_fp4__leaves(const nc_fp4_network *net, const nc_fp4__cut *cuts,
                               const nc_fp4_unit *unit, uint32_t through, uint32_t leaf[3]) {
    uint32_t i, k, n = 0;
    for (i = 0; i < unit->inputs; i++) {
        const nc_fp4__cut *cut;
        if (!(through >> i & 1)) {
            if (!nc_fp4__add_leaf(leaf, &n, unit->input[i])) return 255;
            continue;
        }
        cut = &cuts[unit->input[i] - net->inputs];
        for (k = 0; k < cut->leaves; k++)
            if (!nc_fp4__add_leaf(leaf, &n, cut->leaf[k])) return 255;
    }
    return n;
}

/* Truth table of a wire over n leaves: it is one, or its cut's are among them. */
static uint32_t nc_fp4__table_over(const nc_fp4_network *net, const nc_fp4__cut *cuts, uint32_t w,
                                   const uint32_t leaf[3], uint32_t n) {
    const nc_fp4__cut *cut;
    uint32_t place[3] = {0, 0, 0}, i, k, v, at, truth = 0;
    for (i = 0; i < n; i++)
        if (leaf[i] == w) return nc_fp4__variable[i];
    cut = &cuts[w - net->inputs];
    for (k = 0; k < 3 && k < cut->leaves; k++)
        while (place[k] + 1 < n && leaf[place[k]] != cut->leaf[k]) place[k]++;
    for (v = 0; v < 1u << n; v++) {
        for (at = 0, k = 0; k < 3 && k < cut->leaves; k++) at |= (v >> place[k] & 1) << k;
        truth |= (uint32_t)(cut->truth >> at & 1) << v;
    }
    return truth;
}

/* The cut of unit u with the fewest leaves. */
static void nc_fp4__find_cut(const nc_fp4_network *net, nc_fp4__cut *cuts, uint32_t u) {
    const nc_fp4_unit *unit = &net->units.at[u];
    nc_fp4__cut *cut = &cuts[u];
    uint32_t table[NC_FP4_UNIT_INPUTS] = {0}, leaf[3] = {0, 0, 0}, all = 0, through = 0, n, i, v;
    uint32_t margin = 255, truth = 0, cases;
    for (i = 0; i < unit->inputs; i++) /* inputs that have a cut */
        all |= (uint32_t)(unit->input[i] >= net->inputs &&
                          cuts[unit->input[i] - net->inputs].leaves <= 3)
               << i;
    cut->leaves = 255;
    do { /* their subsets in rising order */
        n = nc_fp4__leaves(net, cuts, unit, through, leaf);
        if (n < cut->leaves) {
            memcpy(cut->leaf, leaf, sizeof leaf);
            cut->leaves = (uint8_t)n;
        }
        through = (through - all) & all;
    } while (through);
    n = cut->leaves;
    cases = 1u << (n <= 3 ? n : unit->inputs); /* of more leaves all, occurring or not */
    for (i = 0; i < unit->inputs && n <= 3; i++)
        table[i] = nc_fp4__table_over(net, cuts, unit->input[i], cut->leaf, n);
    for (v = 0; v < cases; v++) {
        uint32_t at = n <= 3 ? 0 : v, distance;
        int sum;
        for (i = 0; i < unit->inputs && n <= 3; i++) at |= (table[i] >> v & 1) << i;
        sum = nc_fp4__doubled_sum(unit, at);
        distance = (uint32_t)(sum < 0 ? -sum : sum);
        margin = distance < margin ? distance : margin;
        truth |= n <= 3 ? (uint32_t)(sum > 0) << v : 0;
    }
    for (i = n; i < 3; i++) truth |= truth << (1u << i);
    cut->truth = (uint8_t)truth;
    cut->margin = (uint8_t)margin;
}

/* -- compiling ----------------------------------------------------------------------------- */

typedef struct nc_fp4__compiler {
    const nc_fp4_circuit *circuit;
    nc_fp4_network *net;
    nc__index known;  /* units */
    uint8_t *needed;  /* of each node: 1 its value, 2 its complement only */
    uint8_t *flipped; /* of each node: its wire holds the complement */
    nc_fp4__covering cover;
    nc_fp4__form form[256];
    int complete;
    nc_status status;
} nc_fp4__compiler;

static int nc_fp4__same_unit(const nc_fp4_unit *a, const nc_fp4_unit *b) {
    return a->inputs == b->inputs && a->threshold == b->threshold &&
           memcmp(a->input, b->input, a->inputs * sizeof *a->input) == 0 &&
           memcmp(a->weight, b->weight, a->inputs) == 0;
}

/* The wire of a unit with this content. */
static uint32_t nc_fp4__share_unit(nc_fp4__compiler *k, const nc_fp4_unit *unit) {
    nc_fp4_network *net = k->net;
    uint32_t hash = unit->threshold, id;
    size_t at;
    int i;
    for (i = 0; i < unit->inputs; i++)
        hash = nc_fp4__hash(hash, unit->input[i], unit->weight[i], unit->inputs);
    at = hash;
    while ((id = nc__index_next(&k->known, hash, &at)) != UINT32_MAX)
        if (nc_fp4__same_unit(&net->units.at[id], unit)) return net->inputs + id;
    id = net->units.count;
    if (!nc_fp4__units_add(&net->units, *unit) || !nc__index_add(&k->known, hash, id))
        k->status = NC_ERR_MEMORY;
    return net->inputs + id;
}

/* The ten atoms in any order of their inputs. */
static void nc_fp4__given_forms(nc_fp4__form *form) {
    static const uint8_t order[6][3] = {{0, 1, 2}, {0, 2, 1}, {1, 0, 2},
                                        {1, 2, 0}, {2, 0, 1}, {2, 1, 0}};
    uint32_t a, o, c, i, u;
    for (a = 0; a < NC_FP4_ATOM_COUNT; a++)
        for (o = 0; o < 6; o++) {
            const nc_fp4_atom *atom = &nc_fp4__atoms[a];
            uint32_t truth = 0;
            nc_fp4__form *f;
            for (c = 0; c < 8; c++) {
                uint32_t at = 0;
                for (i = 0; i < atom->inputs; i++) at |= (c >> order[o][i] & 1) << i;
                truth |= (atom->truth >> at & 1) << c;
            }
            f = &form[truth];
            if (f->units) continue;
            f->units = (uint8_t)atom->units;
            for (u = 0; u < atom->units; u++) {
                f->unit[u] = atom->unit[u];
                for (i = 0; i < atom->unit[u].inputs; i++)
                    f->unit[u].input[i] = atom->unit[u].input[i] < atom->inputs
                                              ? order[o][atom->unit[u].input[i]]
                                              : 3;
            }
        }
}

/* Units for a function of three wires; the last one's wire. */
static uint32_t nc_fp4__emit(nc_fp4__compiler *k, const uint32_t in[3], uint8_t truth) {
    nc_fp4__form *form = &k->form[truth];
    uint32_t wire = 0, u, i;
    if (!form->units && !k->complete) {
        const size_t one = 256 * sizeof(nc_fp4__single), two = 65536 * sizeof(nc_fp4__single);
        nc_fp4__single *a = (nc_fp4__single *)nc__alloc(k->net->hooks, one);
        nc_fp4__single *b = (nc_fp4__single *)nc__alloc(k->net->hooks, two);
        if (a && b)
            nc_fp4__complete_forms(k->form, a, b);
        else
            k->status = NC_ERR_MEMORY;
        k->complete = 1;
        nc__free(k->net->hooks, a, one);
        nc__free(k->net->hooks, b, two);
    }
    for (u = 0; u < form->units; u++) {
        nc_fp4_unit unit = form->unit[u];
        for (i = 0; i < unit.inputs; i++)
            unit.input[i] = unit.input[i] == 3 ? wire : in[unit.input[i]];
        wire = nc_fp4__share_unit(k, &unit);
    }
    return wire;
}

/* Mark what the outputs need. A complement that is an output needs its node's value only where the
 * node is needed anyway; else it is computed in the node's place. */
static void nc_fp4__mark(nc_fp4__compiler *k) {
    const nc_fp4_circuit *c = k->circuit;
    uint32_t i, j;
    for (i = 0; i < c->outputs.count; i++) k->needed[c->outputs.at[i]] = 1;
    for (i = c->nodes.count; i-- > 2;) { /* whoever reads a node comes behind it */
        const nc_fp4__node *node = &c->nodes.at[i];
        if (!k->needed[i] || node->inputs == NC_FP4__INPUT) continue;
        if (nc_fp4__is_not(node)) {
            if (!k->needed[node->in[0]]) k->needed[node->in[0]] = 2;
            continue;
        }
        for (j = 0; j < node->inputs; j++) k->needed[node->in[j]] = 1;
    }
}

/* By which a network knows its circuit again. */
static uint64_t nc_fp4__digest(const nc_fp4_circuit *c) {
    uint64_t hash = NC__FNV_START;
    uint32_t i;
    for (i = 0; i < c->nodes.count; i++) { /* not what lies between the members */
        const nc_fp4__node *node = &c->nodes.at[i];
        hash = nc__fnv1a(hash, node->in, sizeof node->in);
        hash = nc__fnv1a(hash, &node->truth, 1);
        hash = nc__fnv1a(hash, &node->inputs, 1);
    }
    return nc__fnv1a(hash, c->outputs.at, c->outputs.count * sizeof *c->outputs.at);
}

/* Wire of a node, its complement where *flipped is 1. */
static uint32_t nc_fp4__wire(const nc_fp4__compiler *k, uint32_t v, uint32_t *flipped) {
    *flipped = k->flipped[v];
    return k->net->wire_of.at[v];
}

/* The complement of a wire. */
static uint32_t nc_fp4__not_wire(nc_fp4__compiler *k, uint32_t wire) {
    nc_fp4_unit unit = nc_fp4__atoms[NC_FP4_NOT].unit[0];
    unit.input[0] = wire;
    return nc_fp4__share_unit(k, &unit);
}

/* The code of a value in half units; 16: there is none. */
static uint8_t nc_fp4__code_of_twice(int twice) {
    uint32_t i = 0;
    while (i < 15 && nc_fp4__twice[i] != twice) i++;
    return i < 15 ? nc_fp4__code_of[i] : 16;
}

/* The wire of a unit given in half units, or of its complement. */
static uint32_t nc_fp4__place_unit(nc_fp4__compiler *k, const nc_fp4__half_unit *h,
                                   const uint32_t *wire, uint32_t n, uint32_t complement) {
    nc_fp4_unit unit;
    uint32_t i;
    memset(&unit, 0, sizeof unit);
    for (i = 0; i < n; i++) {
        if (!h->weight[i]) continue;
        unit.input[unit.inputs] = wire[i];
        unit.weight[unit.inputs++] =
            nc_fp4__code_of_twice(complement ? -h->weight[i] : h->weight[i]);
    }
    unit.threshold = nc_fp4__code_of_twice(complement ? -h->threshold : h->threshold);
    return nc_fp4__share_unit(k, &unit);
}

/* A cone that one unit computes, of the wires that its leaves have; where there is none such, of
 * as few complements of them as will do. */
static uint32_t nc_fp4__emit_cone(nc_fp4__compiler *k, const nc_fp4__cone *cone,
                                  uint32_t complement) {
    uint32_t wire[NC_FP4__LEAVES], ones, mask, i, flipped = 0, f;
    nc_fp4__half_unit unit;
    for (i = 0; i < cone->leaves; i++) {
        wire[i] = nc_fp4__wire(k, cone->leaf[i], &f);
        flipped |= f << i;
    }
    for (ones = 0; ones <= cone->leaves; ones++)
        for (mask = 0; mask < 1u << cone->leaves; mask++) {
            uint64_t truth = cone->truth;
            if (nc_fp4__ones6(mask) != ones) continue;
            for (i = 0; i < cone->leaves; i++)
                if ((flipped ^ mask) >> i & 1) truth = nc_fp4__flip6(truth, i);
            if (!nc_fp4__realise(&k->cover.table, truth, &unit)) continue;
            for (i = 0; i < cone->leaves; i++)
                if (mask >> i & 1) wire[i] = nc_fp4__not_wire(k, wire[i]);
            return nc_fp4__place_unit(k, &unit, wire, cone->leaves, complement);
        }
    k->status = NC_ERR_UNSUPPORTED; /* the cover has none such */
    return 0;
}

/* A counter on its way to units. */
typedef struct nc_fp4__bit_plan {
    const nc_fp4__counter *counter;
    const nc_fp4__thresholds *table;
    uint32_t wire[NC_FP4_UNIT_INPUTS + 1]; /* of the leaves, then of the bits from the highest on */
    int weight[NC_FP4_UNIT_INPUTS + 1];
    uint32_t turned; /* wires that hold the complement of what counts */
    uint32_t leaves, high, low;
} nc_fp4__bit_plan;

/* The unit of bit j: the leaves less the higher bits are at least 2^j. 0: E2M1 has none. */
static int nc_fp4__bit_unit(const nc_fp4__bit_plan *b, uint32_t j, nc_fp4__half_unit *unit) {
    const int least = 1 << j;
    const uint32_t n = b->leaves + b->high - j;
    int scale;
    uint32_t i;
    for (scale = 2; scale <= 12; scale++) { /* half units for a weight of 1 */
        int off = 0, threshold;
        for (i = 0; i < n; i++) {
            const int w = scale * b->weight[i];
            if (nc_fp4__code_of_twice(w) == 16) break;
            unit->weight[i] = (int8_t)(b->turned >> i & 1 ? -w : w);
            if (b->turned >> i & 1) off += w;
        }
        threshold = nc_fp4__between(scale * (least - 1) - off, scale * least - off);
        if (i < n || threshold == 99) continue;
        unit->threshold = (int8_t)threshold;
        return 1;
    }
    return 0;
}

/* All bits' units, or 0. The highest one's is looked up. */
static int nc_fp4__bit_units(const nc_fp4__bit_plan *b, nc_fp4__half_unit unit[3]) {
    uint32_t j;
    for (j = b->low; j < b->high; j++)
        if (!nc_fp4__bit_unit(b, j, &unit[j])) return 0;
    return nc_fp4__realise(b->table, nc_fp4__at_least(b->counter, b->turned, 1u << b->high),
                           &unit[b->high]);
}

/* Which leaves are to be complemented, and how the higher bits are held, so that all bits have
 * units: as few complements as will do. */
static int nc_fp4__plan_bits(nc_fp4__bit_plan *b, uint32_t wanted, uint32_t *inverted,
                             nc_fp4__half_unit unit[3]) {
    const uint32_t turned = b->turned, all = (1u << b->leaves) - 1;
    uint32_t ones, mask, held;
    for (ones = 0; ones <= b->leaves; ones++)
        for (mask = 0; mask <= all; mask++) {
            if (nc_fp4__ones6(mask) != ones) continue;
            for (held = 0; held < 4; held++) {
                b->turned = (turned ^ mask) | (wanted ^ held) << b->leaves;
                if (!nc_fp4__bit_units(b, unit)) continue;
                *inverted = mask;
                return 1;
            }
        }
    return 0;
}

/* Units of a counter, from the highest bit on. */
static void nc_fp4__emit_counter(nc_fp4__compiler *k, const nc_fp4__counter *a) {
    uint32_t total = 0, inverted = 0, wanted = 0, f, i, j, out_flips = a->out_flips;
    const int is_free = !a->out[1] && !a->out[2];
    nc_fp4__half_unit unit[3];
    nc_fp4__bit_plan b;
    memset(&b, 0, sizeof b);
    memset(unit, 0, sizeof unit);
    b.counter = a;
    b.table = &k->cover.table;
    b.leaves = a->leaves;
    for (i = 0; i < a->leaves; i++) {
        b.wire[i] = nc_fp4__wire(k, a->leaf[i], &f);
        b.weight[i] = a->weight[i];
        total += a->weight[i];
        b.turned |= (f ^ (a->flips >> i & 1)) << i;
    }
    b.high = total >= 4 ? 2 : 1;
    b.low = a->out[0] ? 0 : a->out[1] ? 1 : 2;
    for (j = b.high; j > 0; j--) {
        b.weight[b.leaves + b.high - j] = -(1 << j);
        f = a->out[j] ? (k->cover.node[a->out[j]].wanted & 1u) ^ (out_flips >> j & 1) : 0;
        wanted |= f << (b.high - j);
    }
    if (!nc_fp4__plan_bits(&b, wanted, &inverted, unit)) {
        k->status = NC_ERR_UNSUPPORTED; /* there always is a way */
        return;
    }
    for (i = 0; i < a->leaves; i++) {
        if (!(inverted >> i & 1)) continue;
        if (is_free)
            out_flips ^= 1; /* the sum of another set of leaves */
        else
            b.wire[i] = nc_fp4__not_wire(k, b.wire[i]);
    }
    for (j = b.high + 1; j-- > b.low;) {
        const uint32_t place = b.leaves + b.high - j, v = a->out[j];
        uint32_t complement = j ? b.turned >> place & 1 : 0, wire;
        if (!j) complement = (k->cover.node[v].wanted & 1u) ^ (out_flips & 1);
        wire = nc_fp4__place_unit(k, &unit[j], b.wire, place, complement);
        b.wire[place] = wire;
        if (!v) continue;
        k->net->wire_of.at[v] = wire;
        k->flipped[v] = (uint8_t)(complement ^ (out_flips >> j & 1));
    }
}

/* Why the wire of node v has its value: it is computed of these nodes. */
static void nc_fp4__give_reason(nc_fp4__compiler *k, uint32_t v, const uint32_t *leaf, uint32_t n) {
    nc_fp4__numbers *to = &k->net->reasons;
    uint32_t i;
    if (!nc_fp4__numbers_reserve(to, n + 1)) {
        k->status = NC_ERR_MEMORY;
        return;
    }
    k->net->reason_of.at[v] = to->count;
    (void)nc_fp4__numbers_add(to, n + 256u * k->flipped[v]);
    for (i = 0; i < n; i++) (void)nc_fp4__numbers_add(to, leaf[i]);
}

/* Add to the last reason the nodes on which the cone of node v does not depend. */
static void nc_fp4__add_dropped(nc_fp4__compiler *k, uint32_t v) {
    const nc_fp4__cone *cone = nc_fp4__best_cone(&k->cover, v);
    nc_fp4__numbers *to = &k->net->reasons;
    uint32_t i;
    for (i = 0; i < cone->less && v; i++) {
        if (!nc_fp4__numbers_add(to, cone->leaf[cone->leaves + i])) k->status = NC_ERR_MEMORY;
    }
}

/* The reason of bit `out` of a counter, with all that its adders do not depend on. */
static void nc_fp4__give_reasons(nc_fp4__compiler *k, const nc_fp4__counter *a, uint32_t out) {
    nc_fp4__numbers *to = &k->net->reasons;
    uint32_t first, i, j;
    nc_fp4__give_reason(k, a->out[out], a->leaf, a->leaves);
    if (k->status != NC_OK) return;
    first = to->count;
    for (j = 0; j < 2; j++)
        for (i = 0; i < (a->parts ? a->parts : 1u); i++)
            nc_fp4__add_dropped(k, (a->parts ? &k->cover.counters.at[a->part[i]] : a)->out[j]);
    to->at[k->net->reason_of.at[a->out[out]]] += 65536 * (to->count - first);
}

/* Constants are units without inputs: 0 against a threshold. */
static uint32_t nc_fp4__constant(nc_fp4__compiler *k, uint32_t value) {
    nc_fp4_unit unit;
    memset(&unit, 0, sizeof unit);
    unit.threshold = (uint8_t)(NC_FP4__HALF | (value ? NC_FP4__MINUS : 0));
    return nc_fp4__share_unit(k, &unit);
}

/* Units for what the cover has at node v. */
static void nc_fp4__emit_node(nc_fp4__compiler *k, uint32_t v) {
    const nc_fp4__cone *cone = nc_fp4__best_cone(&k->cover, v);
    const uint32_t wanted = k->cover.node[v].wanted & 1u;
    uint32_t in[3] = {0, 0, 0}, i, j, f, n, *wire = &k->net->wire_of.at[v];
    if (k->cover.node[v].counter) {
        const nc_fp4__counter *a = &k->cover.counters.at[k->cover.node[v].counter - 1];
        nc_fp4__emit_counter(k, a);
        for (j = 0; j < 3; j++)
            if (a->out[j]) nc_fp4__give_reasons(k, a, j);
        return;
    }
    n = cone->leaves;
    if (n == 0) {
        *wire = nc_fp4__constant(k, cone->truth & 1);
    } else if (n == 1) { /* the same as its leaf, or the complement */
        *wire = nc_fp4__wire(k, cone->leaf[0], &f);
        k->flipped[v] = (uint8_t)(f ^ (cone->truth & 1));
    } else if (cone->cost == 1) {
        *wire = nc_fp4__emit_cone(k, cone, wanted);
        k->flipped[v] = (uint8_t)wanted;
    } else {
        uint64_t truth = wanted ? ~cone->truth : cone->truth;
        for (i = 0; i < n && i < 3; i++) { /* on leaves beyond the third it does not depend */
            in[i] = nc_fp4__wire(k, cone->leaf[i], &f);
            if (f) truth = nc_fp4__flip6(truth, i);
        }
        *wire = nc_fp4__emit(k, in, (uint8_t)truth);
        k->flipped[v] = (uint8_t)wanted;
    }
    nc_fp4__give_reason(k, v, cone->leaf, n);
    nc_fp4__add_dropped(k, v);
    if (k->status == NC_OK) k->net->reasons.at[k->net->reason_of.at[v]] += 65536u * cone->less;
}

/* The wire that shows node v as an output. */
static uint32_t nc_fp4__output_wire(nc_fp4__compiler *k, uint32_t v) {
    const nc_fp4__node *node = &k->circuit->nodes.at[v];
    uint32_t *wire = &k->net->wire_of.at[v], f, at;
    if (*wire == UINT32_MAX && v <= NC_FP4_TRUE) {
        *wire = nc_fp4__constant(k, v);
        nc_fp4__give_reason(k, v, NULL, 0);
    }
    if (*wire == UINT32_MAX && nc_fp4__is_not(node)) {
        at = nc_fp4__wire(k, node->in[0], &f);
        *wire = f ? at : nc_fp4__not_wire(k, at);
        nc_fp4__give_reason(k, v, node->in, 1);
    }
    return k->flipped[v] ? nc_fp4__not_wire(k, *wire) : *wire;
}

/* Units for the cover, in the order of its walk. */
static void nc_fp4__emit_units(nc_fp4__compiler *k) {
    const nc_fp4_circuit *c = k->circuit;
    nc_fp4_network *net = k->net;
    uint32_t i;
    if (!nc_fp4__numbers_reserve(&net->wire_of, c->nodes.count) ||
        !nc_fp4__numbers_reserve(&net->reason_of, c->nodes.count) ||
        !nc_fp4__numbers_reserve(&net->outputs, c->outputs.count)) {
        k->status = NC_ERR_MEMORY;
        return;
    }
    for (i = 0; i < c->nodes.count; i++) {
        const nc_fp4__node *node = &c->nodes.at[i];
        (void)nc_fp4__numbers_add(&net->wire_of,
                                  node->inputs == NC_FP4__INPUT ? node->in[0] : UINT32_MAX);
        (void)nc_fp4__numbers_add(&net->reason_of, UINT32_MAX);
    }
    for (i = 0; i < k->cover.order.count && k->status == NC_OK; i++)
        nc_fp4__emit_node(k, k->cover.order.at[i]);
    for (i = 0; i < c->outputs.count && k->status == NC_OK; i++)
        (void)nc_fp4__numbers_add(&net->outputs, nc_fp4__output_wire(k, c->outputs.at[i]));
}

/* -- the bit-sliced program ------------------------------------------------------------------ */

/* A program being planned: first a step for every unit and output, operands of which are inputs, or
 * inputs + a step's number; then only steps that count, with places for their results. */
typedef struct nc_fp4__plan {
    nc_fp4_network *net;
    const nc_fp4_circuit *circuit; /* whose functions are the steps; null: the units are */
    const uint8_t *needed;         /* of each node of it */
    const nc_fp4__cut *cuts;
    uint32_t *operand; /* of each wire, or node */
    uint32_t *last;    /* of each step: the last one that reads it, 0: none */
    uint32_t *place;   /* of each step: where its result lies, + 1; 0: anywhere */
    uint32_t *spare;   /* temporaries that nobody reads any more */
    int no_memory;
} nc_fp4__plan;

/* Append a step; operands that do not count become UINT32_MAX. */
static uint32_t nc_fp4__add_step(nc_fp4__plan *p, const uint32_t in[3], uint8_t truth) {
    nc_fp4__step step;
    uint32_t j;
    for (j = 0; j < 3; j++) step.in[j] = nc_fp4__depends_on(truth, j) ? in[j] : UINT32_MAX;
    step.truth = truth;
    step.carry = UINT32_MAX;
    step.out = p->net->inputs + p->net->steps.count;
    if (!nc_fp4__steps_add(&p->net->steps, step)) p->no_memory = 1;
    return step.out;
}

/* The number of a step from `first` on that is the same; UINT32_MAX: none. */
static uint32_t nc_fp4__same_step(const nc_fp4__plan *p, uint32_t first, const uint32_t in[3],
                                  uint8_t truth) {
    uint32_t i, j;
    for (i = first; i < p->net->steps.count; i++) {
        const nc_fp4__step *s = &p->net->steps.at[i];
        for (j = 0; j < 3 && (!nc_fp4__depends_on(truth, j) || s->in[j] == in[j]); j++) {
        }
        if (j == 3 && s->truth == truth) return s->out;
    }
    return UINT32_MAX;
}

/* A unit of more than three inputs, the largest weights last: each of these chooses between two
 * functions of the others, and equal ones are one. */
static uint32_t nc_fp4__plan_wide(nc_fp4__plan *p, const nc_fp4_unit *unit) {
    const uint32_t first = p->net->steps.count, n = unit->inputs;
    uint32_t leaf[1 << (NC_FP4_UNIT_INPUTS - 3)] = {0}, in[3], i, j, m = 1u << (n - 3), k;
    uint64_t truth[NC_FP4__UNIT_WORDS];
    nc_fp4_unit sorted = *unit;
    for (i = 1; i < n; i++)
        for (j = i; j > 0 && (sorted.weight[j] & 7) < (sorted.weight[j - 1] & 7); j--) {
            const uint32_t wire = sorted.input[j];
            const uint8_t weight = sorted.weight[j];
            sorted.input[j] = sorted.input[j - 1];
            sorted.weight[j] = sorted.weight[j - 1];
            sorted.input[j - 1] = wire;
            sorted.weight[j - 1] = weight;
        }
    nc_fp4__unit_truth(&sorted, truth);
    for (j = 0; j < 3; j++) in[j] = p->operand[sorted.input[j]];
    for (i = 0; i < m; i++) {
        const uint8_t table = (uint8_t)(truth[i / 8] >> i % 8 * 8);
        leaf[i] = nc_fp4__same_step(p, first, in, table);
        if (leaf[i] == UINT32_MAX) leaf[i] = nc_fp4__add_step(p, in, table);
    }
    for (k = 3; k < n; k++)
        for (m /= 2, i = 0; i < m; i++) {
            in[0] = leaf[2 * i];
            in[1] = leaf[2 * i + 1];
            in[2] = p->operand[sorted.input[k]];
            leaf[i] = in[0];
            if (in[0] == in[1]) continue;
            leaf[i] = nc_fp4__same_step(p, first, in, 0xCA);
            if (leaf[i] == UINT32_MAX) leaf[i] = nc_fp4__add_step(p, in, 0xCA);
        }
    return leaf[0];
}

/* A step for every unit, by its cut where it has one. */
static void nc_fp4__plan_units(nc_fp4__plan *p) {
    nc_fp4_network *net = p->net;
    uint32_t in[3] = {0, 0, 0}, i, j;
    for (i = 0; i < net->inputs; i++) p->operand[i] = i;
    for (i = 0; i < net->units.count; i++) {
        const nc_fp4_unit *unit = &net->units.at[i];
        const nc_fp4__cut *cut = &p->cuts[i];
        const int narrow = cut->leaves <= 3;
        for (j = 0; j < 3; j++) in[j] = 0;
        for (j = 0; j < 3 && narrow && j < cut->leaves; j++) in[j] = p->operand[cut->leaf[j]];
        p->operand[net->inputs + i] =
            narrow ? nc_fp4__add_step(p, in, cut->truth) : nc_fp4__plan_wide(p, unit);
    }
}

/* The same function of the inputs of node i, UINT32_MAX where the circuit has none such. */
static uint32_t nc_fp4__known_node(const nc_fp4_circuit *c, const nc_fp4__node *node,
                                   uint8_t truth) {
    const uint32_t hash =
        nc_fp4__hash(node->in[0], node->in[1], node->in[2], truth | node->inputs * 256u);
    size_t at = hash;
    uint32_t id;
    while ((id = nc__index_next(&c->known, hash, &at)) != UINT32_MAX) {
        const nc_fp4__node *o = &c->nodes.at[id];
        if (o->truth == truth && o->inputs == node->inputs && o->in[0] == node->in[0] &&
            o->in[1] == node->in[1] && o->in[2] == node->in[2])
            break;
    }
    return id;
}

static void nc_fp4__plan_node(nc_fp4__plan *p, uint32_t i) {
    const nc_fp4__node *nodes = p->circuit->nodes.at, *node = &nodes[i];
    uint32_t in[3] = {0, 0, 0}, j;
    uint8_t truth = p->needed[i] == 2 ? (uint8_t)~node->truth : node->truth;
    if (p->operand[i] != UINT32_MAX || !p->needed[i]) return;
    if (i <= NC_FP4_TRUE) truth = i ? 0xFF : 0;
    for (j = 0; j < 3 && i > NC_FP4_TRUE && j < node->inputs; j++) in[j] = p->operand[node->in[j]];
    if (nc_fp4__is_not(node) && p->needed[node->in[0]] == 2 &&
        nodes[node->in[0]].inputs != NC_FP4__INPUT)
        p->operand[i] = in[0]; /* it holds the complement */
    else
        p->operand[i] = nc_fp4__add_step(p, in, truth);
}

/* A step for every function of the circuit that counts; a carry comes right before the sum of the
 * same wires. */
static void nc_fp4__plan_nodes(nc_fp4__plan *p) {
    const nc_fp4_circuit *c = p->circuit;
    uint32_t i, carry;
    for (i = 0; i < c->nodes.count; i++) {
        const nc_fp4__node *node = &c->nodes.at[i];
        p->operand[i] = node->inputs == NC_FP4__INPUT ? node->in[0] : UINT32_MAX;
    }
    for (i = 0; i < c->nodes.count; i++) {
        const nc_fp4__node *node = &c->nodes.at[i];
        if (node->inputs == NC_FP4__INPUT || !p->needed[i]) continue;
        if (node->inputs == 3 && node->truth == 0x96 && p->needed[i] == 1) {
            carry = nc_fp4__known_node(c, node, 0xE8);
            if (carry != UINT32_MAX && p->needed[carry] == 1) nc_fp4__plan_node(p, carry);
        }
        nc_fp4__plan_node(p, i);
    }
}

/* Steps for units or functions, and a copy for every output: it has a place of its own. */
static void nc_fp4__plan_steps(nc_fp4__plan *p) {
    nc_fp4_network *net = p->net;
    uint32_t in[3] = {0, 0, 0}, i;
    if (p->circuit)
        nc_fp4__plan_nodes(p);
    else
        nc_fp4__plan_units(p);
    for (i = 0; i < net->outputs.count; i++) {
        in[0] = p->operand[p->circuit ? p->circuit->outputs.at[i] : net->outputs.at[i]];
        (void)nc_fp4__add_step(p, in, 0xAA);
    }
}

/* Last readers, from the end on; and the first output that copies a step gives it its place. */
static void nc_fp4__plan_lives(nc_fp4__plan *p) {
    const nc_fp4_network *net = p->net;
    const uint32_t steps = net->steps.count, copies = steps - net->outputs.count;
    uint32_t i, j;
    for (i = steps; i-- > 0;) {
        const nc_fp4__step *s = &net->steps.at[i];
        if (i < copies && !p->last[i]) continue; /* nobody reads it */
        for (j = 0; j < 3; j++) {
            const uint32_t from = s->in[j] - net->inputs;
            if (s->in[j] >= net->inputs && s->in[j] != UINT32_MAX && !p->last[from])
                p->last[from] = i;
        }
        if (i >= copies && s->in[0] >= net->inputs)
            p->place[s->in[0] - net->inputs] = net->inputs + (i - copies) + 1;
    }
}

/* Places for the results: temporaries whose last reader is past are used again. A copy that is in
 * its place already is left out, as are steps that nobody reads. */
static void nc_fp4__plan_places(nc_fp4__plan *p) {
    nc_fp4_network *net = p->net;
    const uint32_t steps = net->steps.count, copies = steps - net->outputs.count;
    const uint32_t fixed = net->inputs + net->outputs.count;
    uint32_t spares = 0, kept = 0, i, j;
    for (i = 0; i < steps; i++) {
        nc_fp4__step s = net->steps.at[i];
        if (i < copies && !p->last[i]) continue;
        for (j = 0; j < 3; j++) {
            const uint32_t from = s.in[j] - net->inputs;
            if (s.in[j] == UINT32_MAX || s.in[j] < net->inputs) continue;
            s.in[j] = p->place[from] - 1;
            if (p->last[from] != i || s.in[j] < fixed) continue;
            p->last[from] = UINT32_MAX; /* given back once, though it may be read twice here */
            p->spare[spares++] = s.in[j];
        }
        if (i >= copies)
            s.out = net->inputs + (i - copies);
        else if (p->place[i])
            s.out = p->place[i] - 1;
        else
            s.out = spares ? p->spare[--spares] : fixed + net->temporaries++;
        p->place[i] = s.out + 1;
        if (i >= copies && s.in[0] == s.out) continue;
        for (j = 0; j < 3; j++) /* any operand will do */
            if (s.in[j] == UINT32_MAX) s.in[j] = s.in[0] == UINT32_MAX ? s.out : s.in[0];
        net->steps.at[kept++] = s;
    }
    net->steps.count = kept;
}

/* Lives and places of the steps that are planned. */
static nc_status nc_fp4__place_steps(nc_fp4__plan *p) {
    const nc_allocator *hooks = p->net->hooks;
    const size_t steps = (size_t)p->net->steps.count + 1, bytes = 3 * steps * sizeof *p->last;
    if (p->no_memory) return NC_ERR_MEMORY;
    p->last = (uint32_t *)nc__calloc(hooks, bytes);
    if (!p->last) return NC_ERR_MEMORY;
    p->place = p->last + steps;
    p->spare = p->place + steps;
    nc_fp4__plan_lives(p);
    nc_fp4__plan_places(p);
    nc__free(hooks, p->last, bytes);
    return NC_OK;
}

/* The bit-sliced program: steps in an order that the network gives, then the last reader of every
 * step, then registers, which are free again behind their last reader. */
static nc_status nc_fp4__plan_program(nc_fp4_network *net, const nc_fp4__cut *cuts,
                                      const nc_fp4_circuit *circuit, const uint8_t *needed) {
    const size_t wires =
        circuit ? circuit->nodes.count : (size_t)net->inputs + net->units.count + 1;
    const size_t size = sizeof(uint32_t);
    nc_status status = NC_ERR_MEMORY;
    nc_fp4__plan p;
    memset(&p, 0, sizeof p);
    p.net = net;
    p.circuit = circuit;
    p.needed = needed;
    p.cuts = cuts;
    p.operand = (uint32_t *)nc__alloc(net->hooks, wires * size);
    if (p.operand) {
        nc_fp4__plan_steps(&p);
        status = nc_fp4__place_steps(&p);
    }
    nc__free(net->hooks, p.operand, wires * size);
    return status;
}

static int nc_fp4__reads(const nc_fp4__step *s, uint32_t operand) {
    return s->in[0] == operand || s->in[1] == operand || s->in[2] == operand;
}

/* Is what step i leaves in a temporary read by any step but the next two? Far ahead: yes. */
static int nc_fp4__lives_on(const nc_fp4_network *net, uint32_t i, uint32_t operand) {
    const uint32_t n = net->steps.count;
    uint32_t j;
    if (operand < net->inputs + net->outputs.count) return 1;
    for (j = i + 1; j < n && j < i + 64; j++) {
        if (nc_fp4__reads(&net->steps.at[j], operand) && j > i + 2) return 1;
        if (net->steps.at[j].out == operand) return 0;
    }
    return j < n;
}

/* Step s of the fast program adds with the carry that the registers hold, if it reads that. */
static void nc_fp4__keep_carry(nc_fp4_network *net, nc_fp4__step *s, uint32_t i, uint32_t kept) {
    uint32_t j;
    for (j = 0; j < 3; j++) {
        if (s->in[j] != kept) continue;
        s->in[j] = s->in[2];
        s->in[2] = kept;
        s->truth = NC_FP4__NEXT_ADDER;
        if (!nc_fp4__lives_on(net, i - 1, kept))
            net->fast.at[net->fast.count - 1].carry = UINT32_MAX;
        return;
    }
}

/* Operands in the order that makes the table least: of 256 tables 80 are left. Exchanges of
 * neighbours in turn run through all orders. */
static void nc_fp4__least_order(nc_fp4__step *least) {
    nc_fp4__step s = *least;
    uint32_t k, in;
    for (k = 0; k < 5; k++) {
        in = s.in[k % 2];
        s.in[k % 2] = s.in[k % 2 + 1];
        s.in[k % 2 + 1] = in;
        s.truth = nc_fp4__exchange(s.truth, k % 2);
        if (s.truth < least->truth) *least = s;
    }
}

/* A carry and the sum of the same operands become one step; it keeps the carry for the next. Where
 * the carry has taken an operand's place, the sum behind it is of the carry. */
static nc_status nc_fp4__fuse(nc_fp4_network *net) {
    const uint32_t n = net->steps.count;
    uint32_t kept = UINT32_MAX, i; /* operand whose value the registers hold */
    if (!nc_fp4__steps_reserve(&net->fast, n)) return NC_ERR_MEMORY;
    for (i = 0; i < n; i++) {
        nc_fp4__step s = net->steps.at[i];
        const nc_fp4__step *next = &net->steps.at[i + 1 < n ? i + 1 : i];
        if (s.truth == 0xE8 && next->truth == 0x96 && !nc_fp4__reads(next, s.out) &&
            nc_fp4__reads(next, s.in[0]) && nc_fp4__reads(next, s.in[1]) &&
            nc_fp4__reads(next, s.in[2])) {
            s.carry = s.out;
            s.out = next->out;
            s.truth = NC_FP4__FULL_ADDER;
            if (kept != UINT32_MAX) nc_fp4__keep_carry(net, &s, i, kept);
            kept = s.carry;
            i++;
        } else {
            nc_fp4__least_order(&s);
            kept = UINT32_MAX;
        }
        (void)nc_fp4__steps_add(&net->fast, s);
    }
    return NC_OK;
}

/* Depth, margin and program of a network whose units are known. The program is that of the
 * circuit's functions, of which `needed` count, where there is one: wide units take more steps. */
static nc_status nc_fp4__complete(nc_fp4_network *net, const nc_fp4_circuit *circuit,
                                  const uint8_t *needed) {
    const uint32_t n = net->units.count;
    const size_t cut_bytes = circuit ? 0 : (n + (size_t)1) * sizeof(nc_fp4__cut);
    const size_t depth_bytes = (n + (size_t)1) * sizeof(uint32_t);
    nc_fp4__cut *cuts = circuit ? NULL : (nc_fp4__cut *)nc__calloc(net->hooks, cut_bytes);
    uint32_t *depth = (uint32_t *)nc__calloc(net->hooks, depth_bytes), i, j, margin = 255, own;
    nc_status status = (cuts || circuit) && depth ? NC_OK : NC_ERR_MEMORY;
    for (i = 0; i < n && status == NC_OK; i++) {
        if (cuts) nc_fp4__find_cut(net, cuts, i);
        own = cuts ? cuts[i].margin : nc_fp4__unit_margin(&net->units.at[i]);
        margin = own < margin ? own : margin;
        for (j = 0; j < net->units.at[i].inputs; j++) {
            const uint32_t from = net->units.at[i].input[j];
            if (from >= net->inputs && depth[from - net->inputs] > depth[i])
                depth[i] = depth[from - net->inputs];
        }
        depth[i]++;
        net->depth = depth[i] > net->depth ? depth[i] : net->depth;
    }
    net->margin = n ? margin / 2.0 : 0;
    if (status == NC_OK) status = nc_fp4__plan_program(net, cuts, circuit, needed);
    if (status == NC_OK) status = nc_fp4__fuse(net);
    nc__free(net->hooks, cuts, cut_bytes);
    nc__free(net->hooks, depth, depth_bytes);
    return status;
}

/* A list of groups, copied; 0: out of memory. */
static NC__NOINLINE int nc_fp4__copy_groups(nc_fp4__groups *to, const nc_fp4__groups *from) {
    uint32_t i;
    for (i = 0; i < from->count; i++)
        if (!nc_fp4__put_group(to, from->at[i].name, from->at[i].first, from->at[i].width))
            return 0;
    return 1;
}

/* The network of k->circuit, in k->net. */
static nc_status nc_fp4__compile(nc_fp4__compiler *k) {
    const nc_fp4_circuit *c = k->circuit;
    nc_fp4_network *net = k->net;
    net->name = nc_fp4__copy_text(net->hooks, c->name, strlen(c->name));
    net->inputs = c->inputs.count;
    net->source = nc_fp4__digest(c);
    if (!net->name || !nc_fp4__copy_groups(&net->input_groups, &c->input_groups) ||
        !nc_fp4__copy_groups(&net->output_groups, &c->output_groups))
        return NC_ERR_MEMORY;
    nc_fp4__given_forms(k->form);
    nc_fp4__mark(k);
    k->cover.c = c;
    k->cover.hooks = net->hooks;
    k->cover.needed = k->needed;
    k->status = nc_fp4__find_cover(&k->cover);
    if (k->status == NC_OK) nc_fp4__emit_units(k);
    nc_fp4__free_cover(&k->cover);
    return k->status == NC_OK ? nc_fp4__complete(net, c, k->needed) : k->status;
}

NC_API nc_status nc_fp4_compile(const nc_fp4_circuit *circuit, nc_fp4_network **network) {
    const nc_allocator *hooks;
    nc_fp4__compiler *k;
    nc_status status = NC_ERR_MEMORY;
    if (!network) return NC_ERR_ARG;
    *network = NULL;
    if (!circuit) return NC_ERR_ARG;
    hooks = circuit->hooks;
    k = (nc_fp4__compiler *)nc__calloc(hooks, sizeof *k);
    if (!k) return NC_ERR_MEMORY;
    k->circuit = circuit;
    k->known.hooks = hooks;
    k->needed = (uint8_t *)nc__calloc(hooks, circuit->nodes.count);
    k->flipped = (uint8_t *)nc__calloc(hooks, circuit->nodes.count);
    k->net = nc_fp4__new_network(hooks);
    if (k->needed && k->flipped && k->net) status = nc_fp4__compile(k);
    if (status == NC_OK)
        *network = k->net;
    else
        nc_fp4_network_destroy(k->net);
    nc__index_free(&k->known);
    nc__free(hooks, k->needed, circuit->nodes.count);
    nc__free(hooks, k->flipped, circuit->nodes.count);
    nc__free(hooks, k, sizeof *k);
    return status;
}

NC_API void nc_fp4_network_destroy(nc_fp4_network *network) {
    nc_allocator own;
    if (!network) return;
    nc_fp4__units_free(&network->units);
    nc_fp4__numbers_free(&network->outputs);
    nc_fp4__drop_groups(&network->input_groups);
    nc_fp4__drop_groups(&network->output_groups);
    nc_fp4__free_text(network->hooks, network->name);
    nc_fp4__steps_free(&network->steps);
    nc_fp4__steps_free(&network->fast);
    nc_fp4__numbers_free(&network->wire_of);
    nc_fp4__numbers_free(&network->reason_of);
    nc_fp4__numbers_free(&network->reasons);
    own = network->own; /* its members are null without hooks */
    nc__free(&own, network, sizeof *network);
}

NC_API uint32_t nc_fp4_network_inputs(const nc_fp4_network *network) { return network->inputs; }

NC_API uint32_t nc_fp4_network_outputs(const nc_fp4_network *network) {
    return network->outputs.count;
}

NC_API uint32_t nc_fp4_unit_count(const nc_fp4_network *network) { return network->units.count; }

NC_API const nc_fp4_unit *nc_fp4_get_unit(const nc_fp4_network *network, uint32_t i) {
    return i < network->units.count ? &network->units.at[i] : NULL;
}

/* >>evaluation =================================================================== */

NC_API void nc_fp4_eval_float(const nc_fp4_network *network, const float *in, float *out,
                              float *wires) {
    double margin = 0;
    uint32_t i;
    if (network->inputs) memcpy(wires, in, network->inputs * sizeof *in);
    for (i = 0; i < nc_fp4_unit_count(network); i++)
        wires[network->inputs + i] =
            nc_fp4__unit_sum(&nc_fp4__e2m1, &network->units.at[i], wires, &margin) > 0 ? 1.0f
                                                                                       : 0.0f;
    for (i = 0; i < nc_fp4_network_outputs(network); i++) out[i] = wires[network->outputs.at[i]];
}

NC_API void nc_fp4_eval_packed(const nc_fp4_network *network, const uint8_t *in, uint8_t *out,
                               uint8_t *wires) {
    uint32_t i, j;
    if (network->inputs) memcpy(wires, in, network->inputs);
    for (i = 0; i < nc_fp4_unit_count(network); i++) {
        const nc_fp4_unit *unit = &network->units.at[i];
        int sum = -nc_fp4__doubled(unit->threshold);
        for (j = 0; j < unit->inputs; j++)
            sum += nc_fp4__doubled(unit->weight[j]) * wires[unit->input[j]];
        wires[network->inputs + i] = sum > 0;
    }
    for (i = 0; i < nc_fp4_network_outputs(network); i++) out[i] = wires[network->outputs.at[i]];
}

/* Words that a strip of the program covers: 32 of 64 cases. Temporaries stay where they are, the
 * others move on by a strip. */
enum { NC_FP4__STRIP = 32 };

/* One function of three words, by its algebraic normal form: 8 masks, 0 or all ones. */
static void nc_fp4__masks(uint8_t truth, uint64_t mask[8]) {
    uint32_t t = truth, i;
    t ^= (t & 0x55u) << 1;
    t ^= (t & 0x33u) << 2;
    t ^= (t & 0x0Fu) << 4;
    for (i = 0; i < 8; i++) mask[i] = 0 - (uint64_t)(t >> i & 1);
}

static uint64_t nc_fp4__apply(const uint64_t m[8], uint64_t a, uint64_t b, uint64_t c) {
    uint64_t ab = a & b;
    return m[0] ^ (a & m[1]) ^ (b & m[2]) ^ (ab & m[3]) ^
           (c & (m[4] ^ (a & m[5]) ^ (b & m[6]) ^ (ab & m[7])));
}

static void nc_fp4__run_portable(const nc_fp4_network *n, uint64_t *const *base, size_t words) {
    size_t i, w;
    for (i = 0; i < n->steps.count; i++) {
        const nc_fp4__step *s = &n->steps.at[i];
        const uint64_t *a = base[s->in[0]], *b = base[s->in[1]], *c = base[s->in[2]];
        uint64_t *out = base[s->out], mask[8];
        nc_fp4__masks((uint8_t)s->truth, mask);
        for (w = 0; w < words; w++) out[w] = nc_fp4__apply(mask, a[w], b[w], c[w]);
    }
}

#ifdef NC_FP4__LANES8
/* A step of a strip, eight vectors of it, where `value` is the function of vectors a, b and c. */
#define NC_FP4__CASE(t, value)                                                                     \
    case t:                                                                                        \
        for (w = 0; w < NC_FP4__STRIP; w += 4) {                                                   \
            const nc_fp4__v8 a = nc_fp4__load8(in0 + w), b = nc_fp4__load8(in1 + w);               \
            const nc_fp4__v8 c = nc_fp4__load8(in2 + w);                                           \
            (void)a, (void)b, (void)c;                                                             \
            nc_fp4__store8(out + w, value);                                                        \
        }                                                                                          \
        break;

/* Any function of three operands: those that circuits mostly consist of, in the order that
 * nc_fp4__least_order leaves, the others by their algebraic normal form. */
NC_FP4__TARGET8 static void nc_fp4__step8(uint32_t truth, const uint64_t *in0, const uint64_t *in1,
                                          const uint64_t *in2, uint64_t *out) {
    const nc_fp4__v8 ones = nc_fp4__set8(UINT32_MAX);
    uint64_t mask[8];
    nc_fp4__v8 m[8];
    uint32_t w;
    switch (truth) {
        NC_FP4__CASE(0x03, nc_fp4__xor8(nc_fp4__or8(b, c), ones))
        NC_FP4__CASE(0x0A, nc_fp4__and8(a, nc_fp4__xor8(c, ones)))
        NC_FP4__CASE(0x0F, nc_fp4__xor8(c, ones))
        NC_FP4__CASE(0x3C, nc_fp4__xor8(b, c))
        NC_FP4__CASE(0x3F, nc_fp4__xor8(nc_fp4__and8(b, c), ones))
        NC_FP4__CASE(0x88, nc_fp4__and8(a, b))
        NC_FP4__CASE(0x8E, nc_fp4__mux8(nc_fp4__xor8(a, b), nc_fp4__xor8(c, ones), a))
        NC_FP4__CASE(0x96, nc_fp4__xor8(nc_fp4__xor8(a, b), c))
        NC_FP4__CASE(0x99, nc_fp4__xor8(nc_fp4__xor8(a, b), ones))
        NC_FP4__CASE(0xAA, a)
        NC_FP4__CASE(0xAC, nc_fp4__mux8(c, a, b))
        NC_FP4__CASE(0xAE, nc_fp4__or8(a, nc_fp4__and8(b, nc_fp4__xor8(c, ones))))
        NC_FP4__CASE(0xE8, nc_fp4__mux8(nc_fp4__xor8(a, b), c, a))
        NC_FP4__CASE(0xEE, nc_fp4__or8(a, b))
    default:
        nc_fp4__masks((uint8_t)truth, mask);
        for (w = 0; w < 8; w++) m[w] = nc_fp4__set8((uint32_t)mask[w]);
        for (w = 0; w < NC_FP4__STRIP; w += 4) {
            const nc_fp4__v8 a = nc_fp4__load8(in0 + w), b = nc_fp4__load8(in1 + w);
            const nc_fp4__v8 c = nc_fp4__load8(in2 + w), ab = nc_fp4__and8(a, b);
            nc_fp4__v8 x = nc_fp4__xor8(m[0], nc_fp4__and8(a, m[1]));
            nc_fp4__v8 y = nc_fp4__xor8(m[4], nc_fp4__and8(a, m[5]));
            x = nc_fp4__xor8(x, nc_fp4__xor8(nc_fp4__and8(b, m[2]), nc_fp4__and8(ab, m[3])));
            y = nc_fp4__xor8(y, nc_fp4__xor8(nc_fp4__and8(b, m[6]), nc_fp4__and8(ab, m[7])));
            nc_fp4__store8(out + w, nc_fp4__xor8(x, nc_fp4__and8(c, y)));
        }
    }
}
#undef NC_FP4__CASE

/* For each vector of a strip: its carry k, and its place. */
#define NC_FP4__EACH(x) x(k0, 0) x(k1, 4) x(k2, 8) x(k3, 12) x(k4, 16) x(k5, 20) x(k6, 24) x(k7, 28)
#define NC_FP4__LOAD(k, at) k = nc_fp4__load8(c + (at));
#define NC_FP4__KEEP(k, at) nc_fp4__store8(out + (at), k);
#define NC_FP4__ADD(k, at)                                                                         \
    {                                                                                              \
        const nc_fp4__v8 x = nc_fp4__load8(a + (at));                                              \
        const nc_fp4__v8 either = nc_fp4__xor8(x, nc_fp4__load8(b + (at)));                        \
        nc_fp4__store8(out + (at), nc_fp4__xor8(either, k));                                       \
        k = nc_fp4__mux8(either, k, x);                                                            \
    }

/* A whole strip; carries stay in registers along a chain of full adders. */
NC_FP4__TARGET8 static void nc_fp4__run8(const nc_fp4_network *n, uint64_t *const *base) {
    const nc_fp4__step *s = n->fast.at, *const end = s + n->fast.count;
    for (; s < end; s++) {
        const uint64_t *a = base[s->in[0]], *b = base[s->in[1]], *c = base[s->in[2]];
        uint64_t *out = base[s->out];
        nc_fp4__v8 k0, k1, k2, k3, k4, k5, k6, k7;
        if (s->truth < NC_FP4__FULL_ADDER) {
            nc_fp4__step8(s->truth, a, b, c, out);
            continue;
        }
        NC_FP4__EACH(NC_FP4__LOAD)
        for (;; s++) {
            NC_FP4__EACH(NC_FP4__ADD)
            if (s->carry != UINT32_MAX) {
                out = base[s->carry];
                NC_FP4__EACH(NC_FP4__KEEP)
            }
            if (s + 1 == end || s[1].truth != NC_FP4__NEXT_ADDER) break;
            a = base[s[1].in[0]];
            b = base[s[1].in[1]];
            out = base[s[1].out];
        }
    }
}
#undef NC_FP4__EACH
#undef NC_FP4__LOAD
#undef NC_FP4__KEEP
#undef NC_FP4__ADD
#endif

#ifdef NC_FP4__X86
/* The instruction has its function as an immediate: a case for each table that is left by
 * nc_fp4__least_order. */
#define NC_FP4__CASE(t)                                                                            \
    case t:                                                                                        \
        c0 = _mm512_ternarylogic_epi64(c0, b0, a0, t);                                             \
        c1 = _mm512_ternarylogic_epi64(c1, b1, a1, t);                                             \
        c2 = _mm512_ternarylogic_epi64(c2, b2, a2, t);                                             \
        c3 = _mm512_ternarylogic_epi64(c3, b3, a3, t);                                             \
        break;
#define NC_FP4__CASES(t, u, v, w) NC_FP4__CASE(t) NC_FP4__CASE(u) NC_FP4__CASE(v) NC_FP4__CASE(w)

#define NC_FP4__ADD(k, at)                                                                         \
    {                                                                                              \
        __m512i x = _mm512_loadu_si512(a + (at)), y = _mm512_loadu_si512(b + (at));                \
        _mm512_storeu_si512(out + (at), _mm512_ternarylogic_epi64(x, y, k, 0x96));                 \
        k = _mm512_ternarylogic_epi64(x, y, k, 0xE8);                                              \
    }
#define NC_FP4__KEEP                                                                               \
    _mm512_storeu_si512(out, c0);                                                                  \
    _mm512_storeu_si512(out + 8, c1);                                                              \
    _mm512_storeu_si512(out + 16, c2);                                                             \
    _mm512_storeu_si512(out + 24, c3);

/* A whole strip, one instruction a step for every 512 cases; carries stay in registers along a
 * chain of full adders. */
NC_FP4__TARGET512 static void nc_fp4__run512(const nc_fp4_network *n, uint64_t *const *base) {
    const nc_fp4__step *s = n->fast.at, *const end = s + n->fast.count;
    for (; s < end; s++) {
        const uint64_t *a = base[s->in[0]], *b = base[s->in[1]], *c = base[s->in[2]];
        uint64_t *out = base[s->out];
        __m512i a0, a1, a2, a3, b0, b1, b2, b3, c0, c1, c2, c3;
        c0 = _mm512_loadu_si512(c);
        c1 = _mm512_loadu_si512(c + 8);
        c2 = _mm512_loadu_si512(c + 16);
        c3 = _mm512_loadu_si512(c + 24);
        if (s->truth >= NC_FP4__FULL_ADDER) {
            for (;; s++) {
                NC_FP4__ADD(c0, 0)
                NC_FP4__ADD(c1, 8)
                NC_FP4__ADD(c2, 16)
                NC_FP4__ADD(c3, 24)
                if (s->carry != UINT32_MAX) {
                    out = base[s->carry];
                    NC_FP4__KEEP
                }
                if (s + 1 == end || s[1].truth != NC_FP4__NEXT_ADDER) break;
                a = base[s[1].in[0]];
                b = base[s[1].in[1]];
                out = base[s[1].out];
            }
            continue;
        }
        a0 = _mm512_loadu_si512(a);
        a1 = _mm512_loadu_si512(a + 8);
        a2 = _mm512_loadu_si512(a + 16);
        a3 = _mm512_loadu_si512(a + 24);
        b0 = _mm512_loadu_si512(b);
        b1 = _mm512_loadu_si512(b + 8);
        b2 = _mm512_loadu_si512(b + 16);
        b3 = _mm512_loadu_si512(b + 24);
        switch (s->truth) {
            NC_FP4__CASES(0x00, 0x01, 0x02, 0x03)
            NC_FP4__CASES(0x06, 0x07, 0x08, 0x09)
            NC_FP4__CASES(0x0A, 0x0B, 0x0E, 0x0F)
            NC_FP4__CASES(0x16, 0x17, 0x18, 0x19)
            NC_FP4__CASES(0x1A, 0x1B, 0x1E, 0x1F)
            NC_FP4__CASES(0x28, 0x29, 0x2A, 0x2B)
            NC_FP4__CASES(0x2C, 0x2D, 0x2E, 0x2F)
            NC_FP4__CASES(0x3C, 0x3D, 0x3E, 0x3F)
            NC_FP4__CASES(0x68, 0x69, 0x6A, 0x6B)
            NC_FP4__CASES(0x6E, 0x6F, 0x7E, 0x7F)
            NC_FP4__CASES(0x80, 0x81, 0x82, 0x83)
            NC_FP4__CASES(0x86, 0x87, 0x88, 0x89)
            NC_FP4__CASES(0x8A, 0x8B, 0x8E, 0x8F)
            NC_FP4__CASES(0x96, 0x97, 0x98, 0x99)
            NC_FP4__CASES(0x9A, 0x9B, 0x9E, 0x9F)
            NC_FP4__CASES(0xA8, 0xA9, 0xAA, 0xAB)
            NC_FP4__CASES(0xAC, 0xAD, 0xAE, 0xAF)
            NC_FP4__CASES(0xBC, 0xBD, 0xBE, 0xBF)
            NC_FP4__CASES(0xE8, 0xE9, 0xEA, 0xEB)
            NC_FP4__CASES(0xEE, 0xEF, 0xFE, 0xFF)
        }
        NC_FP4__KEEP
    }
}
#undef NC_FP4__CASES
#undef NC_FP4__CASE
#undef NC_FP4__ADD
#undef NC_FP4__KEEP
#endif

/* A whole strip in vectors; 0 where there are none, or no steps. */
static int nc_fp4__run_strip(const nc_fp4_network *n, uint64_t *const *base) {
    if (n->fast.count == 0) return 0;
#ifdef NC_FP4__X86
    if (nc_fp4__lanes() == 16) {
        nc_fp4__run512(n, base);
        return 1;
    }
#endif
#ifdef NC_FP4__LANES8
    if (nc_fp4__lanes() == 8) {
        nc_fp4__run8(n, base);
        return 1;
    }
#endif
    (void)n;
    (void)base;
    return 0;
}

/* Run the program on words that lie at base[operand]; base is changed. `work` holds the
 * temporaries of a strip. */
static void nc_fp4__run(const nc_fp4_network *n, uint64_t **base, uint64_t *work, size_t words) {
    const size_t fixed = n->inputs + nc_fp4_network_outputs(n), strip = NC_FP4__STRIP;
    size_t w, i;
    for (i = 0; i < n->temporaries; i++) base[fixed + i] = work + i * NC_FP4__STRIP;
    for (w = 0; w < words; w += NC_FP4__STRIP) {
        if (words - w < strip || !nc_fp4__run_strip(n, base))
            nc_fp4__run_portable(n, base, words - w < strip ? words - w : strip);
        for (i = 0; i < fixed && w + NC_FP4__STRIP < words; i++) base[i] += NC_FP4__STRIP;
    }
}

/* Room for operand addresses and for the temporaries of a strip. */
static NC__NOINLINE uint64_t **nc_fp4__room(const nc_fp4_network *n, size_t extra_words,
                                            uint64_t **work, size_t *bytes) {
    const size_t operands = (size_t)n->inputs + nc_fp4_network_outputs(n) + n->temporaries;
    const size_t list = (operands * sizeof(uint64_t *) + 63) / 64 * 64;
    uint64_t **base;
    *bytes = list + (n->temporaries * (size_t)NC_FP4__STRIP + extra_words) * sizeof **work;
    base = (uint64_t **)nc__alloc(n->hooks, *bytes);
    if (base) *work = (uint64_t *)(void *)((char *)base + list);
    return base;
}

/* base[i] = row i of x. */
static void nc_fp4__place_rows(uint64_t **base, uint64_t *x, size_t rows, size_t words) {
    for (; rows >= 4; rows -= 4, base += 4, x += 4 * words) {
        base[0] = x;
        base[1] = x + words;
        base[2] = x + 2 * words;
        base[3] = x + 3 * words;
    }
    for (; rows; rows--, x += words) *base++ = x;
}

NC_API nc_status nc_fp4_eval_sliced(const nc_fp4_network *network, const uint64_t *in,
                                    uint64_t *out, size_t words) {
    uint64_t *few[256], little[8 * NC_FP4__STRIP]; /* what most circuits need */
    uint64_t **base = few, *work = little, *inputs;
    size_t bytes;
    int small;
    if (!network || (!in && network->inputs) || !out) return NC_ERR_ARG;
    small = network->temporaries <= 8 && network->inputs <= 120 &&
            nc_fp4_network_outputs(network) <= 120;
    if (!small) base = nc_fp4__room(network, 0, &work, &bytes);
    if (!base) return NC_ERR_MEMORY;
    memcpy(&inputs, &in, sizeof inputs); /* steps only read inputs */
    nc_fp4__place_rows(base, inputs, network->inputs, words);
    nc_fp4__place_rows(base + network->inputs, out, nc_fp4_network_outputs(network), words);
    nc_fp4__run(network, base, work, words);
    if (!small) nc__free(network->hooks, base, bytes);
    return NC_OK;
}

/* -- plain integers -------------------------------------------------------------------------- */

/* The 64 x 64 bit matrix x transposed: halves are exchanged, then quarters ... (Warren, Hacker's
 * Delight, 2012, 7-3). */
static void nc_fp4__transpose64(uint64_t x[64]) {
    uint64_t mask = UINT64_C(0x00000000FFFFFFFF);
    uint32_t j = 32, k;
    for (; j != 0; j >>= 1, mask ^= mask << j)
        for (k = 0; k < 64; k = (k + j + 1) & ~j) {
            uint64_t t = ((x[k] >> j) ^ x[k + j]) & mask;
            x[k] ^= t << j;
            x[k + j] ^= t;
        }
}

/* 64 cases from value `first` on of a group: word w of its bits, at sliced + bit * STRIP + w. */
static void nc_fp4__slice64(const uint64_t *values, size_t count, uint32_t width,
                            uint64_t *sliced) {
    uint64_t x[64];
    uint32_t i;
    memset(x, 0, sizeof x);
    memcpy(x, values, count * sizeof *x);
    nc_fp4__transpose64(x);
    for (i = 0; i < width; i++) sliced[i * (size_t)NC_FP4__STRIP] = x[i];
}

static void nc_fp4__unslice64(const uint64_t *sliced, uint32_t width, uint64_t *values,
                              size_t count) {
    uint64_t x[64];
    uint32_t i;
    memset(x, 0, sizeof x);
    for (i = 0; i < width; i++) x[i] = sliced[i * (size_t)NC_FP4__STRIP];
    nc_fp4__transpose64(x);
    memcpy(values, x, count * sizeof *x);
}

#ifdef NC_FP4__X86
/* The same for 32 rows in each of 16 lanes: bit j of row b is exchanged with bit b of row j. */
NC_FP4__TARGET512 static void nc_fp4__transpose32(__m512i x[32]) {
#define NC_FP4__EXCHANGE(j, mask)                                                                  \
    for (k = 0; k < 32; k = (k + (j) + 1) & ~(j)) {                                                \
        __m512i t = _mm512_ternarylogic_epi32(_mm512_srli_epi32(x[k], j), x[k + (j)],              \
                                              _mm512_set1_epi32(mask), 0x28);                      \
        x[k] = _mm512_xor_si512(x[k], _mm512_slli_epi32(t, j));                                    \
        x[k + (j)] = _mm512_xor_si512(x[k + (j)], t);                                              \
    }
    int k;
    NC_FP4__EXCHANGE(16, 0x0000FFFF)
    NC_FP4__EXCHANGE(8, 0x00FF00FF)
    NC_FP4__EXCHANGE(4, 0x0F0F0F0F)
    NC_FP4__EXCHANGE(2, 0x33333333)
    NC_FP4__EXCHANGE(1, 0x55555555)
#undef NC_FP4__EXCHANGE
}

/* 512 cases: case 16 j + l is bit j of lane l. half: bits 0 to 31 of the values, or 32 to 63. */
NC_FP4__TARGET512 static void nc_fp4__slice512(const uint64_t *values, uint32_t half,
                                               uint32_t width, uint64_t *sliced) {
    const __m512i even =
        _mm512_set_epi32(30, 28, 26, 24, 22, 20, 18, 16, 14, 12, 10, 8, 6, 4, 2, 0);
    const __m512i pick = _mm512_add_epi32(even, _mm512_set1_epi32((int)half));
    __m512i x[32];
    uint32_t i;
    for (i = 0; i < 32; i++)
        x[i] = _mm512_permutex2var_epi32(_mm512_loadu_si512(values + 16 * i), pick,
                                         _mm512_loadu_si512(values + 16 * i + 8));
    nc_fp4__transpose32(x);
    for (i = 0; i < width; i++) _mm512_storeu_si512(sliced + i * NC_FP4__STRIP, x[i]);
}

NC_FP4__TARGET512 static void nc_fp4__unslice512(const uint64_t *sliced, uint32_t width,
                                                 uint64_t *values) {
    const __m512i low = _mm512_set_epi32(23, 7, 22, 6, 21, 5, 20, 4, 19, 3, 18, 2, 17, 1, 16, 0);
    const __m512i high = _mm512_add_epi32(low, _mm512_set1_epi32(8));
    __m512i x[32], y[32];
    uint32_t i;
    for (i = 0; i < 32; i++)
        x[i] = i < width ? _mm512_loadu_si512(sliced + i * NC_FP4__STRIP) : _mm512_setzero_si512();
    nc_fp4__transpose32(x);
    for (i = 0; i < 32; i++)
        y[i] = i + 32 < width ? _mm512_loadu_si512(sliced + (i + 32) * NC_FP4__STRIP)
                              : _mm512_setzero_si512();
    if (width > 32) nc_fp4__transpose32(y);
    for (i = 0; i < 32; i++) {
        _mm512_storeu_si512(values + 16 * i, _mm512_permutex2var_epi32(x[i], low, y[i]));
        _mm512_storeu_si512(values + 16 * i + 8, _mm512_permutex2var_epi32(x[i], high, y[i]));
    }
}
#endif

#ifdef NC_FP4__LANES8
/* Bit j of row b of 32 is exchanged with bit b of row j, in each of eight lanes. */
NC_FP4__TARGET8 static void nc_fp4__transpose_bits8(nc_fp4__v8 x[32]) {
    uint32_t mask = 0x0000FFFF;
    int j = 16, k;
    for (; j != 0; j >>= 1, mask ^= mask << j) {
        const nc_fp4__v8 m = nc_fp4__set8(mask);
        for (k = 0; k < 32; k = (k + j + 1) & ~j) {
            const nc_fp4__v8 t = nc_fp4__and8(nc_fp4__xor8(nc_fp4__right8(x[k], j), x[k + j]), m);
            x[k] = nc_fp4__xor8(x[k], nc_fp4__left8(t, j));
            x[k + j] = nc_fp4__xor8(x[k + j], t);
        }
    }
}

/* 256 cases: eight values make bit i of the eight lanes, in the order in which nc_fp4__unslice8
 * takes them out again. half: bits 0 to 31 of the values, or 32 to 63. */
NC_FP4__TARGET8 static void nc_fp4__slice8(const uint64_t *values, uint32_t half, uint32_t width,
                                           uint64_t *sliced) {
    nc_fp4__v8 x[32];
    uint32_t i;
    for (i = 0; i < 32; i++) {
        const nc_fp4__v8 v = nc_fp4__load8(values + 8 * i), w = nc_fp4__load8(values + 8 * i + 4);
        x[i] = half ? nc_fp4__odd_words8(v, w) : nc_fp4__even_words8(v, w);
    }
    nc_fp4__transpose_bits8(x);
    for (i = 0; i < width; i++) nc_fp4__store8(sliced + i * NC_FP4__STRIP, x[i]);
}

NC_FP4__TARGET8 static void nc_fp4__unslice8(const uint64_t *sliced, uint32_t width,
                                             uint64_t *values) {
    nc_fp4__v8 x[32], y[32];
    uint32_t i;
    for (i = 0; i < 32; i++) {
        x[i] = y[i] = nc_fp4__set8(0);
        if (i < width) x[i] = nc_fp4__load8(sliced + i * NC_FP4__STRIP);
        if (i + 32 < width) y[i] = nc_fp4__load8(sliced + (i + 32) * NC_FP4__STRIP);
    }
    nc_fp4__transpose_bits8(x);
    if (width > 32) nc_fp4__transpose_bits8(y);
    for (i = 0; i < 32; i++) {
        nc_fp4__store8(values + 8 * i, nc_fp4__low_words8(x[i], y[i]));
        nc_fp4__store8(values + 8 * i + 4, nc_fp4__high_words8(x[i], y[i]));
    }
}
#endif

/* Up to 2,048 cases of one group into or out of its slices. */
static void nc_fp4__slice_group(const uint64_t *values, size_t count, uint32_t width,
                                uint64_t *sliced) {
    size_t i = 0;
#ifdef NC_FP4__X86
    for (; nc_fp4__lanes() == 16 && i + 512 <= count; i += 512) {
        nc_fp4__slice512(values + i, 0, width < 32 ? width : 32, sliced + i / 64);
        if (width > 32)
            nc_fp4__slice512(values + i, 1, width - 32,
                             sliced + 32 * (size_t)NC_FP4__STRIP + i / 64);
    }
#endif
#ifdef NC_FP4__LANES8
    for (; nc_fp4__lanes() == 8 && i + 256 <= count; i += 256) {
        nc_fp4__slice8(values + i, 0, width < 32 ? width : 32, sliced + i / 64);
        if (width > 32)
            nc_fp4__slice8(values + i, 1, width - 32, sliced + 32 * (size_t)NC_FP4__STRIP + i / 64);
    }
#endif
    for (; i < count; i += 64)
        nc_fp4__slice64(values + i, count - i < 64 ? count - i : 64, width, sliced + i / 64);
}

static void nc_fp4__unslice_group(const uint64_t *sliced, uint32_t width, uint64_t *values,
                                  size_t count) {
    size_t i = 0;
#ifdef NC_FP4__X86
    for (; nc_fp4__lanes() == 16 && i + 512 <= count; i += 512)
        nc_fp4__unslice512(sliced + i / 64, width, values + i);
#endif
#ifdef NC_FP4__LANES8
    for (; nc_fp4__lanes() == 8 && i + 256 <= count; i += 256)
        nc_fp4__unslice8(sliced + i / 64, width, values + i);
#endif
    for (; i < count; i += 64)
        nc_fp4__unslice64(sliced + i / 64, width, values + i, count - i < 64 ? count - i : 64);
}

NC_API nc_status nc_fp4_eval_integers(const nc_fp4_network *network, const uint64_t *const *in,
                                      uint64_t *const *out, size_t n) {
    const size_t cases = 64 * NC_FP4__STRIP;
    const uint32_t outputs = network ? nc_fp4_network_outputs(network) : 0;
    uint64_t **base, *work, *sliced;
    size_t bytes, at, g, i;
    if (!network || (!in && network->inputs) || !out) return NC_ERR_ARG;
    for (g = 0; in && g < network->input_groups.count; g++)
        if (network->input_groups.at[g].width > 64 && in[g]) return NC_ERR_LIMIT;
    for (g = 0; g < network->output_groups.count; g++)
        if (network->output_groups.at[g].width > 64 && out[g]) return NC_ERR_LIMIT;
    base =
        nc_fp4__room(network, (network->inputs + (size_t)outputs) * NC_FP4__STRIP, &work, &bytes);
    if (!base) return NC_ERR_MEMORY;
    sliced = work + network->temporaries * (size_t)NC_FP4__STRIP;
    memset(sliced, 0, (network->inputs + (size_t)outputs) * NC_FP4__STRIP * sizeof *sliced);
    for (at = 0; at < n; at += cases) {
        const size_t some = n - at < cases ? n - at : cases;
        for (g = 0; in && g < network->input_groups.count; g++)
            if (in[g])
                nc_fp4__slice_group(in[g] + at, some, network->input_groups.at[g].width,
                                    sliced +
                                        network->input_groups.at[g].first * (size_t)NC_FP4__STRIP);
        for (i = 0; i < network->inputs + (size_t)outputs; i++)
            base[i] = sliced + i * NC_FP4__STRIP;
        nc_fp4__run(network, base, work, NC_FP4__STRIP);
        for (g = 0; g < network->output_groups.count; g++)
            if (out[g])
                nc_fp4__unslice_group(
                    sliced + (network->inputs + (size_t)network->output_groups.at[g].first) *
                                 NC_FP4__STRIP,
                    network->output_groups.at[g].width, out[g] + at, some);
    }
    nc__free(network->hooks, base, bytes);
    return NC_OK;
}

/* >>verification ================================================================= */

/* -- reports and budgets ----------------------------------------------------------------------- */

static void nc_fp4__start_report(const nc_fp4_network *n, nc_fp4_report *report) {
    uint32_t i;
    memset(report, 0, sizeof *report);
    for (i = 0; i < n->units.count; i++) nc_fp4__count(&n->units.at[i], report);
    nc_fp4__finish_report(report, n->margin);
    report->depth = n->depth;
}

/* What a verification may spend, and has spent. The steps are counted, not measured, so that every
 * machine comes to the same verdict. */
typedef struct nc_fp4__budget {
    const nc_fp4_verify_options *options;
    uint64_t total, spent, told; /* told: at the last call of progress */
    uint64_t limit;              /* of the method at work */
    int cancelled;
} nc_fp4__budget;

/* Spend steps. 0: the method at work has no more of them, or the user has cancelled. */
static int nc_fp4__spend(nc_fp4__budget *b, uint64_t steps) {
    const nc_fp4_verify_options *o = b->options;
    b->spent += steps;
    if (o->progress && b->spent - b->told >= UINT64_C(1) << 22) {
        b->told = b->spent;
        if (o->progress(o->progress_user, b->spent < b->total ? b->spent : b->total, b->total))
            b->cancelled = 1;
    }
    return !b->cancelled && b->spent < b->limit;
}

/* Why a method stopped. */
static nc_status nc_fp4__spent(const nc_fp4__budget *b) {
    return b->cancelled ? NC_ERR_CANCELLED : NC_ERR_LIMIT;
}

/* -- cases ------------------------------------------------------------------------------------- */

/* Word of input i for the 64 consecutive cases from `first` (a multiple of 64) on. */
static uint64_t nc_fp4__counting_word(uint32_t i, uint64_t first) {
    static const uint64_t low[6] = {UINT64_C(0xAAAAAAAAAAAAAAAA), UINT64_C(0xCCCCCCCCCCCCCCCC),
                                    UINT64_C(0xF0F0F0F0F0F0F0F0), UINT64_C(0xFF00FF00FF00FF00),
                                    UINT64_C(0xFFFF0000FFFF0000), UINT64_C(0xFFFFFFFF00000000)};
    return i < 6 ? low[i] : 0 - (first >> i & 1);
}

/* Words of inputs for the cases from `first` on, NC_FP4__STRIP of each input. */
static void nc_fp4__counting_words(uint32_t inputs, uint64_t first, uint64_t *in) {
    uint32_t i, w;
    for (i = 0; i < inputs; i++)
        for (w = 0; w < NC_FP4__STRIP; w++)
            in[i * (size_t)NC_FP4__STRIP + w] = nc_fp4__counting_word(i, first + 64 * (uint64_t)w);
}

static uint32_t nc_fp4__lowest_bit(uint64_t x) {
    uint32_t i = 0;
    while (!(x >> i & 1)) i++;
    return i;
}

static uint32_t nc_fp4__bits_set(uint64_t x) {
    uint32_t n = 0;
    for (; x; x &= x - 1) n++;
    return n;
}

NC_API nc_status nc_fp4_verify_cases(const nc_fp4_network *network, nc_fp4_spec_fn spec, void *user,
                                     nc_fp4_report *report) {
    const uint32_t outputs = network ? nc_fp4_network_outputs(network) : 0;
    uint64_t cases, first, *in, *out, x[64];
    size_t bytes;
    nc_status status = NC_OK;
    uint32_t i, w;
    if (!network || !spec || !report) return NC_ERR_ARG;
    nc_fp4__start_report(network, report);
    if (network->inputs > 26 || outputs > 64) return NC_ERR_LIMIT;
    bytes = (network->inputs + (size_t)outputs) * NC_FP4__STRIP * sizeof *in;
    in = (uint64_t *)nc__alloc(network->hooks, bytes);
    if (!in) return NC_ERR_MEMORY;
    out = in + network->inputs * (size_t)NC_FP4__STRIP;
    cases = report->cases = UINT64_C(1) << network->inputs;
    for (first = 0; first < cases && status == NC_OK; first += 64 * NC_FP4__STRIP) {
        nc_fp4__counting_words(network->inputs, first, in);
        status = nc_fp4_eval_sliced(network, in, out, NC_FP4__STRIP);
        for (w = 0; w < NC_FP4__STRIP && first + 64 * (uint64_t)w < cases; w++) {
            const uint64_t at = first + 64 * (uint64_t)w;
            uint64_t c, some = cases - at < 64 ? cases - at : 64;
            for (i = 0; i < 64; i++) x[i] = i < outputs ? out[i * (size_t)NC_FP4__STRIP + w] : 0;
            nc_fp4__transpose64(x);
            for (c = 0; c < some; c++)
                if (x[c] != spec(user, at + c) && !report->wrong++) report->first_wrong = at + c;
        }
    }
    nc__free(network->hooks, in, bytes);
    if (status == NC_OK) report->verdict = report->wrong ? NC_FP4_REFUTED : NC_FP4_PROVEN;
    return status;
}

/* A circuit as a bit-sliced program: a network without units. Null: out of memory. */
static nc_fp4_network *nc_fp4__program_of(const nc_fp4_circuit *c, const nc_allocator *hooks) {
    nc_fp4_network *net = nc_fp4__new_network(hooks);
    const size_t bytes = c->nodes.count * sizeof(uint32_t);
    uint32_t in[3], i, j;
    nc_status status = NC_ERR_MEMORY;
    nc_fp4__plan p;
    memset(&p, 0, sizeof p);
    p.net = net;
    p.operand = (uint32_t *)nc__alloc(hooks, bytes);
    if (net && p.operand && nc_fp4__numbers_reserve(&net->outputs, c->outputs.count)) {
        net->inputs = c->inputs.count;
        for (i = 0; i < c->nodes.count; i++) {
            const nc_fp4__node *node = &c->nodes.at[i];
            for (j = 0; j < 3; j++) in[j] = j < node->inputs ? p.operand[node->in[j]] : 0;
            p.operand[i] =
                node->inputs == NC_FP4__INPUT ? node->in[0] : nc_fp4__add_step(&p, in, node->truth);
        }
        for (i = 0; i < c->outputs.count; i++) {
            in[0] = p.operand[c->outputs.at[i]];
            (void)nc_fp4__numbers_add(&net->outputs, in[0]);
            (void)nc_fp4__add_step(&p, in, 0xAA);
        }
        status = nc_fp4__place_steps(&p);
        if (status == NC_OK) status = nc_fp4__fuse(net);
    }
    nc__free(hooks, p.operand, bytes);
    if (status == NC_OK) return net;
    nc_fp4_network_destroy(net);
    return NULL;
}

/* Cases are shared by this number of workers, whatever the number of threads. */
enum { NC_FP4__WORKERS = 8 };

typedef struct nc_fp4__worker {
    uint64_t **base[2]; /* of the network, and of the circuit's program */
    uint64_t *work[2], *in, *out[2];
    size_t bytes[2];
    uint64_t wrong, first; /* cases; the first of them */
} nc_fp4__worker;

/* A network and a circuit, ready for cases. */
typedef struct nc_fp4__trial {
    const nc_fp4_network *n;
    nc_fp4_network *program;
    uint64_t cost; /* steps of both sides for a strip of cases */
    int random;    /* cases by Philox instead of by counting */
    nc_fp4__worker worker[NC_FP4__WORKERS];
} nc_fp4__trial;

static void nc_fp4__trial_end(nc_fp4__trial *t) {
    uint32_t k, s;
    for (k = 0; k < NC_FP4__WORKERS; k++)
        for (s = 0; s < 2; s++) nc__free(t->n->hooks, t->worker[k].base[s], t->worker[k].bytes[s]);
    nc_fp4_network_destroy(t->program);
}

/* Room for `workers` workers, all of it from the calling thread. End it in any case. */
static nc_status nc_fp4__trial_start(nc_fp4__trial *t, const nc_fp4_network *n,
                                     const nc_fp4_circuit *c, uint32_t workers) {
    const size_t strip = NC_FP4__STRIP, outputs = n->outputs.count;
    uint32_t k, s, i;
    memset(t, 0, sizeof *t);
    t->n = n;
    t->program = nc_fp4__program_of(c, n->hooks);
    if (!t->program) return NC_ERR_MEMORY;
    t->cost = (uint64_t)n->steps.count + t->program->steps.count + n->inputs + 1;
    for (k = 0; k < workers; k++) {
        nc_fp4__worker *w = &t->worker[k];
        w->first = UINT64_MAX;
        for (s = 0; s < 2; s++) {
            const nc_fp4_network *side = s ? t->program : n;
            w->base[s] = nc_fp4__room(side, ((s ? 0 : n->inputs) + outputs) * strip, &w->work[s],
                                      &w->bytes[s]);
            if (!w->base[s]) return NC_ERR_MEMORY;
            w->out[s] = w->work[s] + side->temporaries * strip;
            if (!s) w->in = w->out[s] + outputs * strip;
            for (i = 0; i < n->inputs; i++) w->base[s][i] = w->in + i * strip;
            for (i = 0; i < outputs; i++) w->base[s][n->inputs + i] = w->out[s] + i * strip;
        }
    }
    return NC_OK;
}

/* The inputs of the strip of cases from `first` on. */
static void nc_fp4__fill_strip(const nc_fp4__trial *t, uint64_t first, uint64_t *in) {
    size_t i;
    if (!t->random) {
        nc_fp4__counting_words(t->n->inputs, first, in);
        return;
    }
    for (i = 0; i < t->n->inputs * (size_t)NC_FP4__STRIP; i += 2) {
        uint32_t words[4];
        nc__philox(t->n->source, first, i, words);
        in[i] = (uint64_t)words[0] << 32 | words[1];
        in[i + 1] = (uint64_t)words[2] << 32 | words[3];
    }
}

/* A strip of cases, of which the first `some` count. */
static void nc_fp4__try_strip(const nc_fp4__trial *t, nc_fp4__worker *worker, uint64_t first,
                              uint64_t some) {
    const size_t strip = NC_FP4__STRIP;
    uint32_t i, w;
    nc_fp4__fill_strip(t, first, worker->in);
    nc_fp4__run(t->n, worker->base[0], worker->work[0], strip);
    nc_fp4__run(t->program, worker->base[1], worker->work[1], strip);
    for (w = 0; w < strip && 64 * (uint64_t)w < some; w++) {
        const uint64_t left = some - 64 * (uint64_t)w;
        uint64_t wrong = 0;
        for (i = 0; i < t->n->outputs.count; i++)
            wrong |= worker->out[0][i * strip + w] ^ worker->out[1][i * strip + w];
        if (left < 64) wrong &= (UINT64_C(1) << left) - 1;
        if (!wrong) continue;
        if (!worker->wrong) worker->first = first + 64 * w + nc_fp4__lowest_bit(wrong);
        worker->wrong += nc_fp4__bits_set(wrong);
    }
}

/* All strips of `cases`, a block of them at a time. */
static nc_status nc_fp4__try_strips(nc_fp4__trial *t, uint64_t cases, uint32_t workers,
                                    nc_fp4__budget *b, nc_fp4_report *report) {
    const uint64_t strip = 64 * NC_FP4__STRIP, block = 64 * NC_FP4__WORKERS * strip;
    nc_status status = NC_OK;
    uint32_t k;
    while (report->cases < cases && status == NC_OK) {
        const uint64_t first = report->cases;
        const uint64_t end = cases - first < block ? cases : first + block;
        ptrdiff_t i;
#ifdef _OPENMP
#pragma omp parallel for schedule(static, 1) if (workers > 1)
#endif
        for (i = 0; i < (ptrdiff_t)workers; i++) {
            uint64_t at = first + (uint64_t)i * strip;
            for (; at < end; at += workers * strip)
                nc_fp4__try_strip(t, &t->worker[i], at, end - at < strip ? end - at : strip);
        }
        report->cases = end;
        if (!nc_fp4__spend(b, (end - first + strip - 1) / strip * t->cost) && end < cases)
            status = nc_fp4__spent(b);
    }
    for (k = 0; k < workers; k++) {
        const uint64_t found = t->worker[k].first;
        if (t->worker[k].wrong && (!report->wrong || found < report->first_wrong))
            report->first_wrong = found;
        report->wrong += t->worker[k].wrong;
    }
    return status;
}

/* All cases, or `random` strips of random ones. NC_OK: all of them were evaluated, or one of them
 * is wrong. */
static nc_status nc_fp4__compare_cases(const nc_fp4_network *n, const nc_fp4_circuit *c,
                                       uint32_t random, nc_fp4__budget *b, nc_fp4_report *report) {
    const uint64_t strip = 64 * NC_FP4__STRIP;
    const uint64_t cases = random ? random * strip : UINT64_C(1) << n->inputs;
    const uint32_t workers = cases > strip * NC_FP4__WORKERS * 2 ? NC_FP4__WORKERS : 1;
    uint8_t *example = b->options->counter_example;
    nc_fp4__trial t;
    nc_status status = nc_fp4__trial_start(&t, n, c, workers);
    uint32_t i;
    t.random = random != 0;
    report->cases = 0;
    if (status == NC_OK) status = nc_fp4__try_strips(&t, cases, workers, b, report);
    if (report->wrong) {
        const uint64_t at = report->first_wrong % strip;
        status = NC_OK;
        nc_fp4__fill_strip(&t, report->first_wrong - at, t.worker[0].in);
        for (i = 0; example && i < n->inputs; i++)
            example[i] =
                (uint8_t)(t.worker[0].in[i * (size_t)NC_FP4__STRIP + at / 64] >> at % 64 & 1);
    }
    nc_fp4__trial_end(&t);
    return status;
}

/* A case that a proof has found, input by input: do units and functions, one by one, show a
 * difference in it? Then it is reported as the outputs that differ; else NC_ERR_MISMATCH. */
static nc_status nc_fp4__confirm(const nc_fp4_network *n, const nc_fp4_circuit *c,
                                 const uint8_t *example, const nc_fp4__budget *b,
                                 nc_fp4_report *report) {
    const size_t outputs = n->outputs.count, wires = n->inputs + (size_t)n->units.count;
    const size_t bytes = outputs + wires + c->nodes.count;
    uint8_t *out = (uint8_t *)nc__calloc(n->hooks, bytes), *wire, *value;
    uint32_t i, j;
    if (!out) return NC_ERR_MEMORY;
    wire = out + outputs;
    value = wire + wires;
    nc_fp4_eval_packed(n, example, out, wire);
    for (i = 0; i < c->nodes.count; i++) {
        const nc_fp4__node *node = &c->nodes.at[i];
        uint32_t at = 0;
        if (node->inputs == NC_FP4__INPUT) {
            value[i] = example[node->in[0]];
            continue;
        }
        for (j = 0; j < node->inputs; j++) at |= (uint32_t)value[node->in[j]] << j;
        value[i] = node->truth >> at & 1;
    }
    for (i = 0; i < outputs; i++)
        if (out[i] != value[c->outputs.at[i]] && !report->wrong++) report->first_wrong = i;
    if (report->wrong && b->options->counter_example && n->inputs)
        memcpy(b->options->counter_example, example, n->inputs);
    nc__free(n->hooks, out, bytes);
    return report->wrong ? NC_OK : NC_ERR_MISMATCH;
}

/* -- decision diagrams (Bryant, Graph-based algorithms for Boolean functions, 1986) ----------- */

/* Of vertices, of choices remembered; and what a choice costs, in steps. */
enum { NC_FP4__MAX_DIAGRAM = 1 << 21, NC_FP4__MAX_CACHE = 1 << 20, NC_FP4__CHOICE_STEPS = 64 };

typedef struct nc_fp4__vertex {
    uint32_t level, low, high; /* level of the variable; terminals 0 and 1 have UINT32_MAX */
} nc_fp4__vertex;
NC_FP4__LIST(nc_fp4__vertex, nc_fp4__vertices)

/* What nc_fp4__choose has found: if f then g else h. f 0: nothing yet. */
typedef struct nc_fp4__choice {
    uint32_t f, g, h, result;
} nc_fp4__choice;

/* A choice that waits for those of its branches; low is UINT32_MAX until the first is there. */
typedef struct nc_fp4__waiting {
    uint32_t f, g, h, level, low;
} nc_fp4__waiting;
NC_FP4__LIST(nc_fp4__waiting, nc_fp4__stack)

typedef struct nc_fp4__diagrams {
    nc_fp4__vertices vertices;
    nc__index known;
    nc_fp4__choice *cache;
    uint32_t cached; /* a power of two */
    nc_fp4__stack stack;
    nc_fp4__budget *budget;
    nc_status status; /* NC_ERR_LIMIT: too many vertices or steps; NC_ERR_MEMORY, .. */
} nc_fp4__diagrams;

static nc_fp4__choice *nc_fp4__choice_slot(const nc_fp4__diagrams *d, uint32_t f, uint32_t g,
                                           uint32_t h) {
    return &d->cache[nc_fp4__hash(f, g, h, 1) & (d->cached - 1)];
}

/* A cache smaller than the diagrams computes again and again. Without memory it stays. */
static void nc_fp4__grow_cache(nc_fp4__diagrams *d) {
    nc_fp4__choice *old = d->cache;
    const uint32_t count = d->cached;
    uint32_t i;
    nc_fp4__choice *larger =
        (nc_fp4__choice *)nc__calloc(d->vertices.hooks, 4 * (size_t)count * sizeof *larger);
    if (!larger) return;
    d->cache = larger;
    d->cached = 4 * count;
    for (i = 0; i < count; i++)
        if (old[i].f) *nc_fp4__choice_slot(d, old[i].f, old[i].g, old[i].h) = old[i];
    nc__free(d->vertices.hooks, old, count * sizeof *old);
}

/* The vertex with this content; none with equal branches, and none twice. */
static uint32_t nc_fp4__vertex_of(nc_fp4__diagrams *d, uint32_t level, uint32_t low,
                                  uint32_t high) {
    uint32_t hash, id;
    size_t at;
    nc_fp4__vertex v;
    if (low == high) return low;
    hash = nc_fp4__hash(level, low, high, 0);
    at = hash;
    while ((id = nc__index_next(&d->known, hash, &at)) != UINT32_MAX) {
        const nc_fp4__vertex *o = &d->vertices.at[id];
        if (o->level == level && o->low == low && o->high == high) return id;
    }
    id = d->vertices.count;
    v.level = level;
    v.low = low;
    v.high = high;
    if (id >= d->cached && d->cached < NC_FP4__MAX_CACHE) nc_fp4__grow_cache(d);
    if (id >= NC_FP4__MAX_DIAGRAM)
        d->status = NC_ERR_LIMIT;
    else if (!nc_fp4__vertices_add(&d->vertices, v) || !nc__index_add(&d->known, hash, id))
        d->status = NC_ERR_MEMORY;
    return d->status == NC_OK ? id : 0;
}

/* if f then g else h, where that needs no vertex or is remembered; else UINT32_MAX. */
static uint32_t nc_fp4__known_choice(const nc_fp4__diagrams *d, uint32_t f, uint32_t g,
                                     uint32_t h) {
    const nc_fp4__choice *slot;
    if (f <= 1) return f ? g : h;
    if (g == h) return g;
    if (g == 1 && h == 0) return f;
    slot = nc_fp4__choice_slot(d, f, g, h);
    return slot->f == f && slot->g == g && slot->h == h ? slot->result : UINT32_MAX;
}

/* A branch of f where the variable of this level is decided. */
static uint32_t nc_fp4__branch(const nc_fp4__diagrams *d, uint32_t f, uint32_t level, int high) {
    const nc_fp4__vertex *v = &d->vertices.at[f];
    return v->level != level ? f : high ? v->high : v->low;
}

/* if f then g else h. As deep as there are variables, so it keeps a stack of its own. */
static uint32_t nc_fp4__choose(nc_fp4__diagrams *d, uint32_t f, uint32_t g, uint32_t h) {
    const nc_fp4__vertices *v = &d->vertices;
    uint32_t result;
    nc_fp4__choice *slot;
    nc_fp4__waiting *top, next;
    for (d->stack.count = 0; d->status == NC_OK;) {
        if (f == g) g = 1;
        if (f == h) h = 0;
        result = nc_fp4__known_choice(d, f, g, h);
        if (!nc_fp4__spend(d->budget, NC_FP4__CHOICE_STEPS)) d->status = nc_fp4__spent(d->budget);
        if (result == UINT32_MAX) { /* down */
            next.f = f;
            next.g = g;
            next.h = h;
            next.level = v->at[f].level;
            next.level = v->at[g].level < next.level ? v->at[g].level : next.level;
            next.level = v->at[h].level < next.level ? v->at[h].level : next.level;
            next.low = UINT32_MAX;
            if (!nc_fp4__stack_add(&d->stack, next)) d->status = NC_ERR_MEMORY;
            f = nc_fp4__branch(d, f, next.level, 0);
            g = nc_fp4__branch(d, g, next.level, 0);
            h = nc_fp4__branch(d, h, next.level, 0);
            continue;
        }
        for (;; d->stack.count--) { /* up */
            if (!d->stack.count) return result;
            top = &d->stack.at[d->stack.count - 1];
            if (top->low == UINT32_MAX) break;
            result = nc_fp4__vertex_of(d, top->level, top->low, result);
            slot = nc_fp4__choice_slot(d, top->f, top->g, top->h);
            slot->f = top->f;
            slot->g = top->g;
            slot->h = top->h;
            slot->result = result;
        }
        top->low = result;
        f = nc_fp4__branch(d, top->f, top->level, 1);
        g = nc_fp4__branch(d, top->g, top->level, 1);
        h = nc_fp4__branch(d, top->h, top->level, 1);
    }
    return 0;
}

/* A function of n diagrams by its truth table, input by input. */
static uint32_t nc_fp4__diagram_of(nc_fp4__diagrams *d, const uint64_t *truth, const uint32_t *f,
                                   uint32_t n) {
    uint32_t leaf[1 << NC_FP4_UNIT_INPUTS] = {0}, i, k, m = 1u << n;
    for (i = 0; i < m; i++) leaf[i] = truth[i / 64] >> i % 64 & 1;
    for (k = 0; k < n; k++)
        for (m /= 2, i = 0; i < m; i++)
            leaf[i] = leaf[2 * i] == leaf[2 * i + 1]
                          ? leaf[2 * i]
                          : nc_fp4__choose(d, f[k], leaf[2 * i + 1], leaf[2 * i]);
    return leaf[0];
}

/* Order of the variables: as a walk from the outputs down meets them, bit 0 first. level[i] of
 * input i. 0: out of memory; another order could take many more steps. */
static int nc_fp4__order(const nc_fp4_circuit *c, const nc_allocator *hooks, uint32_t *level) {
    nc_fp4__numbers todo = {NULL, 0, 0, NULL};
    uint8_t *met = (uint8_t *)nc__calloc(hooks, c->nodes.count);
    uint32_t i, j, next = 0;
    int ok = met != NULL;
    todo.hooks = hooks;
    for (i = 0; i < c->inputs.count; i++) level[i] = UINT32_MAX;
    for (i = 0; i < c->outputs.count && ok; i++) {
        ok = nc_fp4__numbers_add(&todo, c->outputs.at[i]);
        while (todo.count && ok) {
            const uint32_t w = todo.at[--todo.count];
            const nc_fp4__node *node = &c->nodes.at[w];
            if (met[w]) continue;
            met[w] = 1;
            if (node->inputs == NC_FP4__INPUT)
                level[node->in[0]] = next++;
            else /* wires in falling order: the inputs, which are old, are visited first */
                for (j = 0; j < node->inputs && ok; j++)
                    ok = nc_fp4__numbers_add(&todo, node->in[j]);
        }
    }
    for (i = 0; i < c->inputs.count; i++)
        if (level[i] == UINT32_MAX) level[i] = next++;
    nc_fp4__numbers_free(&todo);
    nc__free(hooks, met, c->nodes.count);
    return ok;
}

/* Diagrams of all nodes and of all units, in the same variables; outputs are equal when they are
 * the same vertex. wire: of inputs and units. */
static void nc_fp4__build_diagrams(nc_fp4__diagrams *d, const nc_fp4_network *n,
                                   const nc_fp4_circuit *c, const uint32_t *level, uint32_t *node,
                                   uint32_t *wire) {
    const nc_fp4__vertex end = {UINT32_MAX, 0, 0};
    uint64_t truth[NC_FP4__UNIT_WORDS];
    uint32_t f[NC_FP4_UNIT_INPUTS], i, j;
    for (i = 0; i < 2; i++) /* false and true */
        if (!nc_fp4__vertices_add(&d->vertices, end)) d->status = NC_ERR_MEMORY;
    for (i = 0; i < n->inputs && d->status == NC_OK; i++)
        wire[i] = nc_fp4__vertex_of(d, level[i], 0, 1);
    for (i = 0; i < c->nodes.count && d->status == NC_OK; i++) {
        const nc_fp4__node *o = &c->nodes.at[i];
        for (j = 0; j < 3; j++) f[j] = j < o->inputs ? node[o->in[j]] : 0;
        truth[0] = o->truth;
        if (i <= NC_FP4_TRUE)
            node[i] = i;
        else if (o->inputs == NC_FP4__INPUT)
            node[i] = wire[o->in[0]];
        else
            node[i] = nc_fp4__diagram_of(d, truth, f, 3);
    }
    for (i = 0; i < n->units.count && d->status == NC_OK; i++) {
        const nc_fp4_unit *unit = &n->units.at[i];
        for (j = 0; j < unit->inputs; j++) f[j] = wire[unit->input[j]];
        nc_fp4__unit_truth(unit, truth);
        wire[n->inputs + i] = nc_fp4__diagram_of(d, truth, f, unit->inputs);
    }
}

/* A case in which diagrams f and g, which are not the same, differ: at every level one of the two
 * branches does. */
static void nc_fp4__tell_apart(const nc_fp4__diagrams *d, uint32_t f, uint32_t g,
                               const uint32_t *level, uint32_t inputs, uint8_t *example) {
    uint32_t i;
    memset(example, 0, inputs);
    while (f > 1 || g > 1) {
        const uint32_t a = d->vertices.at[f].level, b = d->vertices.at[g].level, l = a < b ? a : b;
        const int high = nc_fp4__branch(d, f, l, 0) == nc_fp4__branch(d, g, l, 0);
        f = nc_fp4__branch(d, f, l, high);
        g = nc_fp4__branch(d, g, l, high);
        for (i = 0; i < inputs; i++)
            if (level[i] == l) example[i] = (uint8_t)high;
    }
}

/* Outputs that differ, once the diagrams are there. */
static void nc_fp4__compare_outputs(const nc_fp4__diagrams *d, const nc_fp4_network *n,
                                    const nc_fp4_circuit *c, const uint32_t *node,
                                    const uint32_t *wire, const uint32_t *level,
                                    nc_fp4_report *report) {
    uint8_t *example = d->budget->options->counter_example;
    uint32_t i;
    for (i = 0; i < n->outputs.count; i++) {
        const uint32_t f = wire[n->outputs.at[i]], g = node[c->outputs.at[i]];
        if (f == g || report->wrong++) continue;
        report->first_wrong = i;
        if (example) nc_fp4__tell_apart(d, f, g, level, n->inputs, example);
    }
}

/* NC_ERR_LIMIT when there are too many vertices, or steps. */
static nc_status nc_fp4__compare_diagrams(const nc_fp4_network *n, const nc_fp4_circuit *c,
                                          nc_fp4__budget *b, nc_fp4_report *report) {
    const size_t nodes = c->nodes.count, wires = n->inputs + (size_t)n->units.count;
    const size_t bytes = (nodes + wires + n->inputs) * sizeof(uint32_t);
    uint32_t *node = (uint32_t *)nc__calloc(n->hooks, bytes), *wire;
    nc_status status;
    nc_fp4__diagrams d;
    memset(&d, 0, sizeof d);
    d.vertices.hooks = d.known.hooks = d.stack.hooks = n->hooks;
    d.budget = b;
    d.cached = 1 << 12;
    d.cache = (nc_fp4__choice *)nc__calloc(n->hooks, d.cached * sizeof *d.cache);
    d.status = node && d.cache ? NC_OK : NC_ERR_MEMORY;
    if (d.status == NC_OK) {
        wire = node + nodes;
        if (!nc_fp4__order(c, n->hooks, wire + wires)) d.status = NC_ERR_MEMORY;
        if (d.status == NC_OK) nc_fp4__build_diagrams(&d, n, c, wire + wires, node, wire);
        if (d.status == NC_OK) nc_fp4__compare_outputs(&d, n, c, node, wire, wire + wires, report);
    }
    status = d.status;
    nc_fp4__vertices_free(&d.vertices);
    nc_fp4__stack_free(&d.stack);
    nc__index_free(&d.known);
    nc__free(n->hooks, d.cache, d.cached * sizeof *d.cache);
    nc__free(n->hooks, node, bytes);
    return status;
}

/* -- structural induction ---------------------------------------------------------------------- */

/* Was the network compiled from this circuit? */
static int nc_fp4__is_own(const nc_fp4_network *n, const nc_fp4_circuit *c) {
    return n->source == nc_fp4__digest(c) && n->wire_of.count == c->nodes.count;
}

/* Does the wire of node v hold its complement, as the compiler says? */
static uint32_t nc_fp4__holds_complement(const nc_fp4_network *n, uint32_t v) {
    const uint32_t reason = n->reason_of.at[v];
    return reason == UINT32_MAX ? 0 : n->reasons.at[reason] >> 8 & 1;
}

/* Functions of at most six nodes, the leaves, while one node is proven. */
typedef struct nc_fp4__induction {
    const nc_fp4_network *n;
    const nc_fp4_circuit *c;
    uint64_t *value;      /* of each node, then of each wire: its table over the leaves */
    uint32_t *stamp;      /* of the same: `now` where there is one */
    uint32_t *node_of;    /* of each wire: a node whose value it holds; UINT32_MAX: none */
    uint32_t now, visits; /* visits: nodes met for one wire, at most NC_FP4__MAX_VISITS */
    nc_fp4__numbers stack;
    nc_status status;
} nc_fp4__induction;
enum { NC_FP4__MAX_VISITS = 1 << 12, NC_FP4__MAX_EXTRA = 16 };

static void nc_fp4__know(nc_fp4__induction *x, uint32_t at, uint64_t value) {
    x->value[at] = value;
    x->stamp[at] = x->now;
}

/* Table of node v over the leaves: 0 when they do not decide it, or only through too many nodes. */
static int nc_fp4__node_table(nc_fp4__induction *x, uint32_t v) {
    uint32_t visits = 0, j;
    x->stack.count = 0;
    if (!nc_fp4__numbers_add(&x->stack, v)) x->status = NC_ERR_MEMORY;
    while (x->stack.count && x->status == NC_OK) {
        const uint32_t at = x->stack.at[x->stack.count - 1], before = x->stack.count;
        const nc_fp4__node *node = &x->c->nodes.at[at];
        uint64_t in[3] = {0, 0, 0}, table = 0;
        if (x->stamp[at] == x->now) {
            x->stack.count--;
            continue;
        }
        if (node->inputs == NC_FP4__INPUT || ++visits > NC_FP4__MAX_VISITS) return 0;
        for (j = 0; j < node->inputs; j++) {
            in[j] = x->value[node->in[j]];
            if (x->stamp[node->in[j]] != x->now && !nc_fp4__numbers_add(&x->stack, node->in[j]))
                x->status = NC_ERR_MEMORY;
        }
        if (x->stack.count > before) continue;
        for (j = 0; j < 8; j++)
            if (node->truth >> j & 1)
                table |=
                    (j & 1 ? in[0] : ~in[0]) & (j & 2 ? in[1] : ~in[1]) & (j & 4 ? in[2] : ~in[2]);
        nc_fp4__know(x, at, at <= NC_FP4_TRUE ? 0 - (uint64_t)at : table);
        x->stack.count--;
    }
    return x->status == NC_OK;
}

/* Table of a unit from its inputs' tables. */
static uint64_t nc_fp4__induced_table(const nc_fp4__induction *x, const nc_fp4_unit *unit) {
    const uint32_t nodes = x->c->nodes.count;
    uint64_t table = 0;
    uint32_t v, i, at;
    for (v = 0; v < 64; v++) {
        for (at = 0, i = 0; i < unit->inputs; i++)
            at |= (uint32_t)(x->value[nodes + unit->input[i]] >> v & 1) << i;
        table |= (uint64_t)(nc_fp4__doubled_sum(unit, at) > 0) << v;
    }
    return table;
}

/* Table of wire w through its unit. What the unit reads is known, or holds a node's value, which
 * the circuit tells; or it is a unit in between. 0: it is decided by more than the leaves. */
static int nc_fp4__wire_table(nc_fp4__induction *x, uint32_t w) {
    const uint32_t nodes = x->c->nodes.count, *wire_of = x->n->wire_of.at;
    uint32_t todo[NC_FP4_UNIT_INPUTS * 4], count = 0, i;
    todo[count++] = w;
    while (count) {
        const uint32_t at = todo[count - 1], before = count;
        const nc_fp4_unit *unit;
        if (x->stamp[nodes + at] == x->now) {
            count--;
            continue;
        }
        if (at < x->n->inputs) return 0;
        unit = &x->n->units.at[at - x->n->inputs];
        for (i = 0; i < unit->inputs; i++) {
            const uint32_t from = unit->input[i], v = x->node_of[from];
            if (x->stamp[nodes + from] == x->now) continue;
            if (v != UINT32_MAX && from == wire_of[v] && nc_fp4__node_table(x, v)) {
                const uint64_t flip = 0 - (uint64_t)nc_fp4__holds_complement(x->n, v);
                nc_fp4__know(x, nodes + from, x->value[v] ^ flip);
                continue;
            }
            if (x->status != NC_OK || count == NC_FP4_UNIT_INPUTS * 4) return 0;
            todo[count++] = from;
        }
        if (count > before) continue;
        nc_fp4__know(x, nodes + at, nc_fp4__induced_table(x, unit));
        count--;
    }
    return 1;
}

/* What a wire is to hold, and of what: node v, or its complement; the wires of `leaf` hold those.
 * Behind them are `extras` nodes that v reads in the circuit but does not depend on. */
typedef struct nc_fp4__claim {
    uint32_t wire, node, flip, leaves, extras;
    const uint32_t *leaf;
} nc_fp4__claim;

/* Tables of what the claim is of, in the order of the nodes: a variable for each leaf, a value for
 * each extra node. deep: a node that those before decide has what they make of it. 0: a leaf
 * without a wire. */
static int nc_fp4__know_leaves(nc_fp4__induction *x, const nc_fp4__claim *claim, uint32_t values,
                               int deep) {
    const uint32_t nodes = x->c->nodes.count, all = claim->leaves + claim->extras;
    uint32_t done, i, next, last = 0;
    for (done = 0; done < all; done++) {
        uint64_t held, table;
        uint32_t v, wire;
        for (next = all, i = 0; i < all; i++)
            if ((done == 0 || claim->leaf[i] > last) &&
                (next == all || claim->leaf[i] < claim->leaf[next]))
                next = i;
        if (next == all) break; /* one was there twice */
        last = v = claim->leaf[next];
        wire = x->n->wire_of.at[v];
        table = next < claim->leaves ? nc_fp4__variable6[next]
                                     : 0 - (uint64_t)(values >> (next - claim->leaves) & 1);
        if (deep && nc_fp4__node_table(x, v)) table = x->value[v];
        if (next < claim->leaves) {
            if (wire == UINT32_MAX) return 0;
            held = 0 - (uint64_t)nc_fp4__holds_complement(x->n, v);
            if (x->stamp[nodes + wire] == x->now) /* two leaves may share a wire */
                table = x->value[nodes + wire] ^ held;
            nc_fp4__know(x, nodes + wire, table ^ held);
        }
        nc_fp4__know(x, v, table);
    }
    return 1;
}

/* Is the claim right for these values of the extra nodes, if all wires before hold what they
 * shall? */
static int nc_fp4__holds(nc_fp4__induction *x, const nc_fp4__claim *claim, uint32_t values,
                         int deep) {
    uint64_t table;
    if (++x->now == 0 || claim->leaves > NC_FP4__LEAVES) return 0;
    if (!nc_fp4__know_leaves(x, claim, values, deep) || !nc_fp4__node_table(x, claim->node) ||
        !nc_fp4__wire_table(x, claim->wire))
        return 0;
    table = x->value[claim->node];
    return x->value[x->c->nodes.count + claim->wire] == (claim->flip ? ~table : table);
}

/* The claim, whatever the extra nodes are. */
static int nc_fp4__is_proven(nc_fp4__induction *x, const nc_fp4__claim *claim) {
    uint32_t values;
    if (claim->extras > NC_FP4__MAX_EXTRA) return 0;
    for (values = 0; values >> claim->extras == 0; values++)
        if (!nc_fp4__holds(x, claim, values, 0) && !nc_fp4__holds(x, claim, values, 1)) return 0;
    return 1;
}

/* All nodes that have wires, and the outputs. */
static void nc_fp4__induce(nc_fp4__induction *x, nc_fp4__budget *b) {
    const nc_fp4_network *n = x->n;
    const nc_fp4_circuit *c = x->c;
    nc_fp4__claim claim;
    uint32_t v, i;
    for (v = 0; v < n->inputs + n->units.count; v++) x->node_of[v] = UINT32_MAX;
    for (v = c->nodes.count; v-- > 0;)
        if (n->wire_of.at[v] != UINT32_MAX && n->reason_of.at[v] != UINT32_MAX)
            x->node_of[n->wire_of.at[v]] = v;
    memset(&claim, 0, sizeof claim);
    for (v = 0; v < c->nodes.count && x->status == NC_OK; v++) {
        const nc_fp4__node *node = &c->nodes.at[v];
        const uint32_t at = n->reason_of.at[v];
        if (!nc_fp4__spend(b, 16)) {
            x->status = nc_fp4__spent(b);
            return;
        }
        claim.wire = n->wire_of.at[v];
        claim.node = v;
        if (claim.wire == UINT32_MAX ||
            (node->inputs == NC_FP4__INPUT && claim.wire == node->in[0]))
            continue;
        if (at != UINT32_MAX) {
            claim.leaves = n->reasons.at[at] & 255;
            claim.flip = nc_fp4__holds_complement(n, v);
            claim.extras = n->reasons.at[at] >> 16;
            claim.leaf = n->reasons.at + at + 1;
            if (nc_fp4__is_proven(x, &claim)) continue;
        }
        if (x->status == NC_OK) x->status = NC_ERR_LIMIT; /* not shown */
    }
    for (i = 0; i < c->outputs.count && x->status == NC_OK; i++) {
        claim.wire = n->outputs.at[i];
        claim.node = c->outputs.at[i];
        claim.leaf = &claim.node;
        claim.leaves = 1;
        claim.extras = claim.flip = 0;
        if (!nc_fp4__holds(x, &claim, 0, 0) && x->status == NC_OK) x->status = NC_ERR_LIMIT;
    }
}

/* If every node that has a wire is right, then, by induction from the inputs, the outputs are the
 * circuit's. Only for the circuit that the network was compiled from: NC_ERR_LIMIT. */
static nc_status nc_fp4__compare_structure(const nc_fp4_network *n, const nc_fp4_circuit *c,
                                           nc_fp4__budget *b) {
    const size_t wires = n->inputs + (size_t)n->units.count, all = c->nodes.count + wires;
    nc_fp4__induction x;
    if (!nc_fp4__is_own(n, c)) return NC_ERR_LIMIT;
    memset(&x, 0, sizeof x);
    x.n = n;
    x.c = c;
    x.stack.hooks = n->hooks;
    x.value = (uint64_t *)nc__alloc(n->hooks, all * sizeof *x.value);
    x.stamp = (uint32_t *)nc__calloc(n->hooks, all * sizeof *x.stamp);
    x.node_of = (uint32_t *)nc__alloc(n->hooks, (wires + 1) * sizeof *x.node_of);
    x.status = x.value && x.stamp && x.node_of ? NC_OK : NC_ERR_MEMORY;
    if (x.status == NC_OK) nc_fp4__induce(&x, b);
    nc__free(n->hooks, x.value, all * sizeof *x.value);
    nc__free(n->hooks, x.stamp, all * sizeof *x.stamp);
    nc__free(n->hooks, x.node_of, (wires + 1) * sizeof *x.node_of);
    nc_fp4__numbers_free(&x.stack);
    return x.status;
}

/* -- search for a solution of clauses ------------------------------------------------------------
 * Conflict-driven clause learning (Marques-Silva and Sakallah, GRASP, 1999) with two watched
 * literals in linked lists (Biere, PicoSAT Essentials, 2008), the first unique implication point,
 * the variables of late conflicts first (a queue: Biere and Froehlich, Evaluating CDCL Variable
 * Scoring Schemes, 2015), saved phases, and restarts by Luby's sequence. */

/* Literal 2 v is variable v, 2 v + 1 its complement. */
enum { NC_FP4__UNSET = 2 };

typedef struct nc_fp4__sat_var {
    uint32_t watch[2]; /* first clause that watches the variable, its complement */
    uint32_t reason, level;
    uint32_t before, behind; /* in the queue */
    uint32_t stamp;          /* falls from the queue's end to its start */
    uint8_t value, phase, seen;
    uint32_t mark; /* of level 1 + this variable's number: the last conflict that counted it */
} nc_fp4__sat_var;
NC_FP4__LIST(nc_fp4__sat_var, nc_fp4__sat_vars)

/* A clause lies in the words from its number on: size, how many levels its literals were of (0:
 * given), the next clause of either watched literal, the literals; the first two are watched. */
enum { NC_FP4__SIZE = 0, NC_FP4__GLUE = 1, NC_FP4__NEXT = 2, NC_FP4__LITERALS = 4 };

typedef struct nc_fp4__sat {
    nc_fp4__numbers words, trail, levels, learnt, touched; /* levels: where they start */
    nc_fp4__sat_vars vars;
    uint32_t done, first, last, search, stamp; /* done: of the trail; the rest: of the queue */
    uint32_t learned, allowed;                 /* clauses */
    uint64_t conflicts;
    int contradiction;
    nc_fp4__budget *budget;
    nc_status status; /* NC_ERR_MEMORY, or why the budget is at its end */
} nc_fp4__sat;

static void nc_fp4__sat_free(nc_fp4__sat *s) {
    nc_fp4__numbers_free(&s->words);
    nc_fp4__numbers_free(&s->trail);
    nc_fp4__numbers_free(&s->levels);
    nc_fp4__numbers_free(&s->learnt);
    nc_fp4__numbers_free(&s->touched);
    nc_fp4__sat_vars_free(&s->vars);
}

/* An empty problem in the old one's memory. */
static void nc_fp4__sat_clear(nc_fp4__sat *s) {
    s->words.count = s->trail.count = s->levels.count = s->vars.count = 0;
    s->done = s->stamp = s->learned = 0;
    s->first = s->last = s->search = UINT32_MAX;
    s->allowed = 4000;
    s->conflicts = 0;
    s->contradiction = 0;
}

static uint32_t nc_fp4__literal(const nc_fp4__sat *s, uint32_t literal) {
    const uint32_t value = s->vars.at[literal / 2].value;
    return value == NC_FP4__UNSET ? value : value ^ (literal & 1);
}

/* Behind the last of the queue. */
static void nc_fp4__sat_append(nc_fp4__sat *s, uint32_t v) {
    nc_fp4__sat_var *var = &s->vars.at[v];
    var->before = s->last;
    var->behind = UINT32_MAX;
    if (s->last == UINT32_MAX)
        s->first = v;
    else
        s->vars.at[s->last].behind = v;
    s->last = v;
    var->stamp = ++s->stamp;
    if (var->value == NC_FP4__UNSET) s->search = v;
}

static void nc_fp4__sat_to_end(nc_fp4__sat *s, uint32_t v) {
    const nc_fp4__sat_var *var = &s->vars.at[v];
    if (s->last == v) return;
    if (s->search == v) s->search = var->before != UINT32_MAX ? var->before : var->behind;
    if (var->before == UINT32_MAX)
        s->first = var->behind;
    else
        s->vars.at[var->before].behind = var->behind;
    s->vars.at[var->behind].before = var->before;
    nc_fp4__sat_append(s, v);
}

static uint32_t nc_fp4__sat_add_var(nc_fp4__sat *s) {
    nc_fp4__sat_var var;
    memset(&var, 0, sizeof var);
    var.watch[0] = var.watch[1] = var.reason = UINT32_MAX;
    var.value = NC_FP4__UNSET;
    if (!nc_fp4__sat_vars_add(&s->vars, var)) {
        s->status = NC_ERR_MEMORY;
        return 0;
    }
    nc_fp4__sat_append(s, s->vars.count - 1);
    return s->vars.count - 1;
}

static void nc_fp4__sat_set(nc_fp4__sat *s, uint32_t literal, uint32_t reason) {
    nc_fp4__sat_var *var = &s->vars.at[literal / 2];
    var->value = (uint8_t)(1 ^ (literal & 1));
    var->reason = reason;
    var->level = s->levels.count;
    if (!nc_fp4__numbers_add(&s->trail, literal)) s->status = NC_ERR_MEMORY;
}

static void nc_fp4__sat_watch(nc_fp4__sat *s, uint32_t clause, uint32_t k) {
    const uint32_t literal = s->words.at[clause + NC_FP4__LITERALS + k];
    uint32_t *head = &s->vars.at[literal / 2].watch[literal & 1];
    s->words.at[clause + NC_FP4__NEXT + k] = *head;
    *head = clause;
}

/* A clause of n literals, of different variables; watched from two of them on. Returns it. */
static uint32_t nc_fp4__sat_clause(nc_fp4__sat *s, const uint32_t *literals, uint32_t n,
                                   uint32_t glue) {
    const uint32_t clause = s->words.count;
    uint32_t *to;
    if (clause > UINT32_MAX - 16 - n || !nc_fp4__numbers_reserve(&s->words, n + NC_FP4__LITERALS)) {
        s->status = NC_ERR_MEMORY;
        return 0;
    }
    to = s->words.at + clause;
    s->words.count += n + NC_FP4__LITERALS;
    to[NC_FP4__SIZE] = n;
    to[NC_FP4__GLUE] = glue;
    memcpy(to + NC_FP4__LITERALS, literals, n * sizeof *literals);
    nc_fp4__sat_watch(s, clause, 0);
    nc_fp4__sat_watch(s, clause, 1);
    return clause;
}

/* A given clause; not within the search. */
static void nc_fp4__sat_add(nc_fp4__sat *s, const uint32_t *literals, uint32_t n) {
    if (n > 1) {
        (void)nc_fp4__sat_clause(s, literals, n, 0);
    } else if (n == 0 || nc_fp4__literal(s, literals[0]) == 0) {
        s->contradiction = 1;
    } else if (nc_fp4__literal(s, literals[0]) == NC_FP4__UNSET) {
        nc_fp4__sat_set(s, literals[0], UINT32_MAX);
    }
}

/* Another literal for the false watched one, number k, of a clause; 0: there is none. */
static int nc_fp4__sat_move_watch(nc_fp4__sat *s, uint32_t clause, uint32_t k) {
    uint32_t *c = s->words.at + clause, i;
    uint32_t *literals = c + NC_FP4__LITERALS;
    for (i = 2; i < c[NC_FP4__SIZE]; i++) {
        const uint32_t literal = literals[i];
        if (nc_fp4__literal(s, literal) == 0) continue;
        literals[i] = literals[k];
        literals[k] = literal;
        nc_fp4__sat_watch(s, clause, k);
        return 1;
    }
    return 0;
}

/* All consequences of the trail. Returns a clause that is false, or none. */
static uint32_t nc_fp4__sat_propagate(nc_fp4__sat *s) {
    uint64_t steps = 0;
    uint32_t conflict = UINT32_MAX;
    while (s->done < s->trail.count && conflict == UINT32_MAX) {
        const uint32_t wrong = s->trail.at[s->done++] ^ 1;
        uint32_t *link = &s->vars.at[wrong / 2].watch[wrong & 1];
        while (*link != UINT32_MAX) {
            const uint32_t clause = *link;
            uint32_t *c = s->words.at + clause;
            const uint32_t k = c[NC_FP4__LITERALS + 1] == wrong, other = c[NC_FP4__LITERALS + !k];
            const uint32_t value = nc_fp4__literal(s, other), next = c[NC_FP4__NEXT + k];
            steps++;
            if (value != 1 && nc_fp4__sat_move_watch(s, clause, k)) {
                *link = next;
                continue;
            }
            link = &c[NC_FP4__NEXT + k];
            if (value == NC_FP4__UNSET) {
                nc_fp4__sat_set(s, other, clause);
            } else if (value == 0) {
                conflict = clause;
                break;
            }
        }
    }
    if (!nc_fp4__spend(s->budget, 4 * steps + 1)) s->status = nc_fp4__spent(s->budget);
    return conflict;
}

/* Back to a level. */
static void nc_fp4__sat_undo(nc_fp4__sat *s, uint32_t level) {
    if (s->levels.count <= level) return;
    while (s->trail.count > s->levels.at[level]) {
        const uint32_t literal = s->trail.at[--s->trail.count];
        nc_fp4__sat_var *var = &s->vars.at[literal / 2];
        var->value = NC_FP4__UNSET;
        var->phase = (uint8_t)(literal & 1);
        var->reason = UINT32_MAX;
        if (var->stamp > s->vars.at[s->search].stamp) s->search = literal / 2;
    }
    s->done = s->trail.count;
    s->levels.count = level;
}

/* Note the literals of a conflict's clause; returns how many are of the present level. */
static uint32_t nc_fp4__sat_note(nc_fp4__sat *s, uint32_t clause, uint32_t implied) {
    const uint32_t *c = s->words.at + clause;
    uint32_t i, here = 0;
    for (i = 0; i < c[NC_FP4__SIZE]; i++) {
        const uint32_t literal = c[NC_FP4__LITERALS + i];
        nc_fp4__sat_var *var = &s->vars.at[literal / 2];
        if (literal == implied || var->seen || var->level == 0) continue;
        var->seen = 1;
        if (!nc_fp4__numbers_add(&s->touched, literal / 2)) s->status = NC_ERR_MEMORY;
        if (var->level == s->levels.count)
            here++;
        else if (!nc_fp4__numbers_add(&s->learnt, literal))
            s->status = NC_ERR_MEMORY;
    }
    return here;
}

/* Is a literal of the learnt clause implied by others of it? */
static int nc_fp4__sat_is_implied(const nc_fp4__sat *s, uint32_t literal) {
    const uint32_t reason = s->vars.at[literal / 2].reason;
    const uint32_t *c = s->words.at + reason;
    uint32_t i;
    if (reason == UINT32_MAX) return 0;
    for (i = 0; i < c[NC_FP4__SIZE]; i++) {
        const nc_fp4__sat_var *var = &s->vars.at[c[NC_FP4__LITERALS + i] / 2];
        if (!var->seen && var->level) return 0;
    }
    return 1;
}

/* Shorten the learnt clause; its literal of the highest level but the first's becomes the second.
 * Returns how many levels there are. */
static uint32_t nc_fp4__sat_shorten(nc_fp4__sat *s) {
    uint32_t *to = s->learnt.at, kept = 1, glue = 0, i, swap;
    const uint32_t now = (uint32_t)s->conflicts;
    for (i = 1; i < s->learnt.count; i++)
        if (!nc_fp4__sat_is_implied(s, to[i])) to[kept++] = to[i];
    s->learnt.count = kept;
    for (i = 0; i < kept; i++) {
        const uint32_t level = s->vars.at[to[i] / 2].level;
        glue += s->vars.at[level - 1].mark != now;
        s->vars.at[level - 1].mark = now;
        if (i < 2 || level <= s->vars.at[to[1] / 2].level) continue;
        swap = to[1];
        to[1] = to[i];
        to[i] = swap;
    }
    return glue;
}

/* Learn from a conflict, go back, and follow what was learnt. */
static void nc_fp4__sat_learn(nc_fp4__sat *s, uint32_t conflict) {
    uint32_t at = s->trail.count, open, literal = UINT32_MAX, glue, clause = UINT32_MAX, i;
    s->learnt.count = s->touched.count = 0;
    if (!nc_fp4__numbers_add(&s->learnt, 0)) { /* the place of the first literal */
        s->status = NC_ERR_MEMORY;
        return;
    }
    open = nc_fp4__sat_note(s, conflict, literal);
    for (;;) {
        do literal = s->trail.at[--at];
        while (!s->vars.at[literal / 2].seen);
        if (--open == 0 || s->status != NC_OK) break;
        open += nc_fp4__sat_note(s, s->vars.at[literal / 2].reason, literal);
    }
    if (s->status == NC_OK) {
        s->learnt.at[0] = literal ^ 1;
        glue = nc_fp4__sat_shorten(s);
        nc_fp4__sat_undo(s, s->learnt.count > 1 ? s->vars.at[s->learnt.at[1] / 2].level : 0);
        if (s->learnt.count > 1) {
            clause = nc_fp4__sat_clause(s, s->learnt.at, s->learnt.count, glue);
            s->learned++;
        }
        if (s->status == NC_OK) nc_fp4__sat_set(s, literal ^ 1, clause);
    }
    for (i = 0; i < s->touched.count; i++) {
        s->vars.at[s->touched.at[i]].seen = 0;
        nc_fp4__sat_to_end(s, s->touched.at[i]);
    }
}

/* Forget the older half of the learned clauses that connect more than two levels. At level 0. */
static void nc_fp4__sat_forget(nc_fp4__sat *s) {
    uint32_t *w = s->words.at, at, to = 0, old = s->learned / 2, size, i;
    for (i = 0; i < s->vars.count; i++) {
        s->vars.at[i].watch[0] = s->vars.at[i].watch[1] = UINT32_MAX;
        s->vars.at[i].reason = UINT32_MAX;
    }
    for (at = 0; at < s->words.count; at += size) {
        size = w[at + NC_FP4__SIZE] + NC_FP4__LITERALS;
        if (w[at + NC_FP4__GLUE] && old && old--)
            if (w[at + NC_FP4__GLUE] > 2) {
                s->learned--;
                continue;
            }
        memmove(w + to, w + at, size * sizeof *w);
        nc_fp4__sat_watch(s, to, 0);
        nc_fp4__sat_watch(s, to, 1);
        to += size;
    }
    s->words.count = to;
    s->allowed += s->allowed / 8;
}

/* Element i of 1 1 2 1 1 2 4 1 1 2 .. (Luby, Sinclair, Zuckerman, Optimal speedup of Las Vegas
 * algorithms, 1993). */
static uint32_t nc_fp4__luby(uint32_t i) {
    uint32_t size = 1;
    while (size < i + 1) size = 2 * size + 1;
    while (size != i + 1) {
        size /= 2;
        if (i >= size) i -= size;
    }
    return (size + 1) / 2;
}

/* 1: there is a solution, the values of the variables; 0: there is none; -1: neither is known after
 * so many conflicts, or within the budget. */
static int nc_fp4__sat_solve(nc_fp4__sat *s, uint64_t most_conflicts) {
    const uint64_t end = s->conflicts + most_conflicts;
    uint64_t restart = s->conflicts;
    uint32_t restarts = 0;
    nc_fp4__sat_undo(s, 0);
    s->done = 0; /* clauses may have come since */
    while (s->status == NC_OK && !s->contradiction) {
        const uint32_t conflict = nc_fp4__sat_propagate(s);
        if (conflict != UINT32_MAX) {
            if (s->levels.count == 0) s->contradiction = 1;
            if (s->levels.count == 0 || ++s->conflicts >= end) break;
            nc_fp4__sat_learn(s, conflict);
        } else if (s->conflicts >= restart) {
            nc_fp4__sat_undo(s, 0);
            restart = s->conflicts + 64 * nc_fp4__luby(restarts++);
            if (s->learned > s->allowed && s->done == s->trail.count) nc_fp4__sat_forget(s);
        } else {
            while (s->search != UINT32_MAX && s->vars.at[s->search].value != NC_FP4__UNSET)
                s->search = s->vars.at[s->search].before;
            if (s->search == UINT32_MAX) {
                s->search = s->last;
                return 1;
            }
            if (!nc_fp4__numbers_add(&s->levels, s->trail.count)) s->status = NC_ERR_MEMORY;
            nc_fp4__sat_set(s, 2 * s->search + s->vars.at[s->search].phase, UINT32_MAX);
        }
    }
    return s->contradiction ? 0 : -1;
}

/* -- sweeping -----------------------------------------------------------------------------------
 * Both sides become one circuit, from the inputs up. A new node that agrees with an old one on all
 * patterns tried is merged with it when clauses about both have no solution in which they differ
 * (Kuehlmann and Krohm, Equivalence checking using cuts and heaps, DAC 1997; Mishchenko et al.,
 * FRAIGs, 2005). All nodes are 0 where all inputs are, so none is merged with a complement. */

enum { NC_FP4__PATTERNS = 16, NC_FP4__RANDOM = 8 }; /* words of patterns; that stay as they are */
NC_FP4__LIST(uint64_t, nc_fp4__patterns)

/* The clauses that tie a node to its inputs, as nc_fp4__node_clause gives them: at most 12 prime
 * implicants of a function of three inputs and of its complement, together. */
typedef struct nc_fp4__clauses {
    uint8_t complete, count, literals[16], literal[16][4];
} nc_fp4__clauses;

typedef struct nc_fp4__sweep {
    nc_fp4_circuit *f;
    nc_fp4__numbers merged;    /* of each node of f: the node that stands for it */
    nc_fp4__patterns patterns; /* NC_FP4__PATTERNS words of each node */
    nc__index classes;         /* nodes that stand for themselves, by their patterns */
    nc_fp4__numbers place;     /* of each node: its variable + 1, or 0 */
    nc_fp4__numbers window;    /* node of each variable */
    nc_fp4__numbers heap; /* nodes of the window that no clause defines yet, the latest on top */
    nc_fp4__numbers cut;  /* nodes that are to stay free at first: a hint's leaves */
    nc_fp4__sat sat;
    nc_fp4__patterns pending; /* of each input: a bit of each new pattern, and room for a copy */
    uint32_t news, columns;   /* new patterns; columns that were filled with such */
    uint64_t drawn;           /* random words */
    uint32_t most_nodes, most_conflicts; /* for a pair of nodes; conflicts 0: nothing is merged */
    int active;                          /* 0: the nodes that come now are not merged with others */
    int hints; /* 1: units are merged with the nodes that the compiler names, and no others are */
    nc_fp4__clauses clauses[256];
    nc_fp4__budget *budget;
    nc_status status;
} nc_fp4__sweep;

static uint64_t nc_fp4__draw(nc_fp4__sweep *s) {
    uint32_t words[4];
    nc__philox(0, s->drawn++, 0, words);
    return (uint64_t)words[0] << 32 | words[1];
}

static void nc_fp4__sweep_free(nc_fp4__sweep *s) {
    nc_fp4__numbers_free(&s->merged);
    nc_fp4__patterns_free(&s->patterns);
    nc__index_free(&s->classes);
    nc_fp4__numbers_free(&s->place);
    nc_fp4__numbers_free(&s->window);
    nc_fp4__numbers_free(&s->heap);
    nc_fp4__numbers_free(&s->cut);
    nc_fp4__patterns_free(&s->pending);
    nc_fp4__sat_free(&s->sat);
    nc_fp4_destroy(s->f);
}

/* The latest node of a heap out of it, or a node into it. */
static uint32_t nc_fp4__heap_pop(nc_fp4__numbers *heap) {
    uint32_t *at = heap->at, i = 0, k, top = at[0], last = at[--heap->count];
    while ((k = 2 * i + 1) < heap->count) {
        k += k + 1 < heap->count && at[k + 1] > at[k];
        if (at[k] <= last) break;
        at[i] = at[k];
        i = k;
    }
    at[i] = last;
    return top;
}

static int nc_fp4__heap_push(nc_fp4__numbers *heap, uint32_t x) {
    uint32_t i = heap->count;
    if (!nc_fp4__numbers_add(heap, x)) return 0;
    for (; i && heap->at[(i - 1) / 2] < x; i = (i - 1) / 2) heap->at[i] = heap->at[(i - 1) / 2];
    heap->at[i] = x;
    return 1;
}

/* The variable of a node in the window. */
static uint32_t nc_fp4__window_var(nc_fp4__sweep *s, uint32_t node) {
    uint32_t v;
    if (s->place.at[node]) return s->place.at[node] - 1;
    v = nc_fp4__sat_add_var(&s->sat);
    if (!nc_fp4__numbers_add(&s->window, node) || !nc_fp4__heap_push(&s->heap, node))
        s->status = NC_ERR_MEMORY;
    s->place.at[node] = v + 1;
    return v;
}

/* The clauses of nodes with this table; found once. */
static const nc_fp4__clauses *nc_fp4__clauses_of(nc_fp4__sweep *s, uint32_t truth) {
    nc_fp4__clauses *all = &s->clauses[truth];
    uint32_t cube, i, n, literal[4];
    int value;
    for (cube = 0; cube < 27 && !all->complete; cube++)
        for (value = 0; value < 2; value++) {
            n = nc_fp4__node_clause(truth, cube, value, literal);
            for (i = 0; i < n; i++) all->literal[all->count][i] = (uint8_t)literal[i];
            all->literals[all->count] = (uint8_t)n;
            all->count = (uint8_t)(all->count + (n > 0));
        }
    all->complete = 1;
    return all;
}

/* Clauses for a node, whose inputs enter the window. */
static void nc_fp4__window_define(nc_fp4__sweep *s, uint32_t node) {
    const nc_fp4__node *o = &s->f->nodes.at[node];
    const nc_fp4__clauses *all = nc_fp4__clauses_of(s, o->truth);
    uint32_t var[4] = {0, 0, 0, 0}, clause[4] = {0, 0, 0, 0}, i, k;
    for (i = 0; i < o->inputs; i++) var[i] = nc_fp4__window_var(s, o->in[i]);
    var[3] = nc_fp4__window_var(s, node);
    for (k = 0; k < all->count && s->status == NC_OK; k++) {
        for (i = 0; i < all->literals[k]; i++)
            clause[i] = 2 * var[all->literal[k][i] / 2] + (all->literal[k][i] & 1);
        nc_fp4__sat_add(&s->sat, clause, all->literals[k]);
    }
    if (!nc_fp4__spend(s->budget, 64)) s->status = nc_fp4__spent(s->budget);
}

/* An empty window around two nodes that shall differ. */
static void nc_fp4__window_start(nc_fp4__sweep *s, uint32_t a, uint32_t b) {
    uint32_t clause[2];
    nc_fp4__sat_clear(&s->sat);
    s->window.count = s->heap.count = 0;
    clause[0] = 2 * nc_fp4__window_var(s, a);
    clause[1] = 2 * nc_fp4__window_var(s, b);
    nc_fp4__sat_add(&s->sat, clause, 2);
    clause[0] ^= 1;
    clause[1] ^= 1;
    nc_fp4__sat_add(&s->sat, clause, 2);
}

/* Clauses of nodes of the window, the latest first, until there are `wanted`; nodes of the cut stay
 * without. */
static void nc_fp4__window_grow(nc_fp4__sweep *s, uint32_t *defined, uint32_t wanted) {
    uint32_t i;
    while (*defined < wanted && s->heap.count && s->status == NC_OK) {
        const uint32_t node = nc_fp4__heap_pop(&s->heap);
        if (s->f->nodes.at[node].inputs == NC_FP4__INPUT) continue;
        for (i = 0; i < s->cut.count && s->cut.at[i] != node; i++) {
        }
        if (i < s->cut.count) continue;
        nc_fp4__window_define(s, node);
        ++*defined;
    }
    if (s->sat.status != NC_OK) s->status = s->sat.status;
}

/* Where all other nodes of the window have clauses, the latest node of the cut leaves it. Returns
 * whether there are nodes without clauses. */
static int nc_fp4__window_opens(nc_fp4__sweep *s) {
    while (!s->heap.count && s->cut.count) {
        uint32_t *at = s->cut.at, latest = 0, i, node;
        for (i = 1; i < s->cut.count; i++)
            if (at[i] > at[latest]) latest = i;
        node = at[latest];
        at[latest] = at[--s->cut.count];
        if (s->place.at[node] && !nc_fp4__heap_push(&s->heap, node)) s->status = NC_ERR_MEMORY;
    }
    return s->heap.count != 0;
}

/* Can two nodes of f differ? 0: no; 1: yes, and the solution is in the window; -1: unknown. The
 * clauses of ever more nodes below them are taken, the latest nodes first, as long as there are
 * solutions without the others; those of the cut and below it when no others are left. */
static int nc_fp4__differ(nc_fp4__sweep *s, uint32_t a, uint32_t b, uint32_t most_nodes,
                          uint64_t most_conflicts) {
    uint32_t defined = 0, wanted = 16, i;
    int found = 1;
    nc_fp4__window_start(s, a, b);
    while (found == 1 && s->status == NC_OK) {
        nc_fp4__window_grow(s, &defined, wanted);
        if (s->status != NC_OK) break;
        found = nc_fp4__sat_solve(&s->sat, most_conflicts);
        if (s->sat.status != NC_OK) s->status = s->sat.status;
        if (found != 1 || !nc_fp4__window_opens(s)) break;
        if (defined >= most_nodes) found = -1;
        nc_fp4__sat_undo(&s->sat, 0);
        wanted = 4 * (defined > 4 ? defined : 4);
    }
    for (i = 0; i < s->window.count; i++) s->place.at[s->window.at[i]] = 0;
    s->cut.count = 0;
    return s->status == NC_OK ? found : -1;
}

/* -- patterns */

static uint32_t nc_fp4__pattern_hash(const nc_fp4__sweep *s, uint32_t node) {
    const uint64_t *p = s->patterns.at + node * (size_t)NC_FP4__PATTERNS;
    uint64_t hash = 0;
    uint32_t w;
    for (w = 0; w < NC_FP4__PATTERNS; w++) hash = nc__mix(hash ^ p[w]) + w;
    return (uint32_t)(hash >> 32);
}

/* Words from `first` to before `past` of a node that is no input. */
static void nc_fp4__run_pattern(nc_fp4__sweep *s, uint32_t node, uint32_t first, uint32_t past) {
    const nc_fp4__node *o = &s->f->nodes.at[node];
    uint64_t *p = s->patterns.at, mask[8];
    const size_t all = NC_FP4__PATTERNS;
    uint32_t w;
    nc_fp4__masks(o->truth, mask);
    for (w = first; w < past; w++)
        p[node * all + w] = nc_fp4__apply(mask, p[(o->inputs > 0 ? o->in[0] : 0) * all + w],
                                          p[(o->inputs > 1 ? o->in[1] : 0) * all + w],
                                          p[(o->inputs > 2 ? o->in[2] : 0) * all + w]);
}

/* Word w of an input: of a half, a quarter, three quarters .. of ones. */
static uint64_t nc_fp4__input_pattern(nc_fp4__sweep *s, uint32_t w) {
    uint64_t x = nc_fp4__draw(s);
    uint32_t k;
    for (k = 1; k < 1 + w % 8 / 2; k++) x &= nc_fp4__draw(s);
    return w % 2 ? ~x : x;
}

/* Let node i stand for its class, unless there are many that its patterns do not tell apart: these
 * would be compared in vain, and lie in a row. */
static void nc_fp4__add_class(nc_fp4__sweep *s, uint32_t i) {
    const uint32_t hash = nc_fp4__pattern_hash(s, i);
    size_t at = hash;
    uint32_t alike = 0;
    while (alike < 8 && nc__index_next(&s->classes, hash, &at) != UINT32_MAX) alike++;
    if (alike < 8 && !nc__index_add(&s->classes, hash, i)) s->status = NC_ERR_MEMORY;
}

/* The new patterns, and others near to them, become a column of words of all nodes. */
static void nc_fp4__use_patterns(nc_fp4__sweep *s) {
    const uint32_t column = NC_FP4__RANDOM + s->columns++ % (NC_FP4__PATTERNS - NC_FP4__RANDOM),
                   news = s->news;
    uint32_t i, k;
    s->news = 0;
    for (i = 0; i < s->f->nodes.count; i++) {
        const nc_fp4__node *node = &s->f->nodes.at[i];
        if (node->inputs == NC_FP4__INPUT) {
            uint64_t x = s->pending.at[node->in[0]], flips = nc_fp4__draw(s); /* one bit of eight */
            flips &= nc_fp4__draw(s);
            flips &= nc_fp4__draw(s);
            for (k = news; k < 64; k++) x |= (x >> (k - news) & 1) << k;
            s->pending.at[node->in[0]] = 0;
            s->patterns.at[i * (size_t)NC_FP4__PATTERNS + column] =
                x ^ (news < 64 ? flips & ~((UINT64_C(1) << news) - 1) : 0);
        } else if (i < s->merged.count) {
            nc_fp4__run_pattern(s, i, column, column + 1);
        }
    }
    nc__index_free(&s->classes);
    for (i = 0; i + 1 < s->merged.count; i++) /* all but the one that is being settled */
        if (s->merged.at[i] == i && !nc_fp4__is_not(&s->f->nodes.at[i])) nc_fp4__add_class(s, i);
    if (!nc_fp4__spend(s->budget, 16 * (uint64_t)s->merged.count))
        s->status = nc_fp4__spent(s->budget);
}

/* The solution in the window as a new pattern; what it leaves open is random. */
static void nc_fp4__add_pattern(nc_fp4__sweep *s) {
    uint32_t i;
    for (i = 0; i < s->pending.count; i += 64) {
        const uint64_t bits = nc_fp4__draw(s);
        uint32_t k;
        for (k = i; k < s->pending.count && k < i + 64; k++)
            s->pending.at[k] |= (bits >> (k - i) & 1) << s->news;
    }
    for (i = 0; i < s->window.count; i++) {
        const nc_fp4__node *node = &s->f->nodes.at[s->window.at[i]];
        const uint64_t bit = UINT64_C(1) << s->news;
        if (node->inputs != NC_FP4__INPUT) continue;
        s->pending.at[node->in[0]] &= ~bit;
        if (s->sat.vars.at[i].value == 1) s->pending.at[node->in[0]] |= bit;
    }
    s->news++;
}

/* -- nodes and units */

static int nc_fp4__alike(const nc_fp4__sweep *s, uint32_t a, uint32_t b) {
    const uint64_t *p = s->patterns.at;
    const size_t all = NC_FP4__PATTERNS;
    return memcmp(p + a * all, p + b * all, all * sizeof *p) == 0;
}

/* An old node that the new node i agrees with on all patterns, the next after *at; UINT32_MAX:
 * none. */
static uint32_t nc_fp4__next_alike(const nc_fp4__sweep *s, uint32_t i, uint32_t hash, size_t *at) {
    uint32_t id;
    while ((id = nc__index_next(&s->classes, hash, at)) != UINT32_MAX)
        if (nc_fp4__alike(s, id, i)) break;
    return id;
}

/* Merge a new node with an old one, or let it stand for itself. */
static void nc_fp4__settle(nc_fp4__sweep *s, uint32_t i) {
    uint32_t hash = nc_fp4__pattern_hash(s, i), tries = 0, old;
    size_t at = hash;
    while (s->active && tries++ < 4 && (old = nc_fp4__next_alike(s, i, hash, &at)) != UINT32_MAX) {
        const int differ = nc_fp4__differ(s, i, old, s->most_nodes, s->most_conflicts);
        if (s->status != NC_OK) return;
        if (differ == 0) {
            s->merged.at[i] = old;
            return;
        }
        if (differ == 1) nc_fp4__add_pattern(s);
        if (s->news <= s->columns / 4 && s->news < 64) continue;
        nc_fp4__use_patterns(s); /* soon at first, then in larger groups */
        at = hash = nc_fp4__pattern_hash(s, i);
    }
    nc_fp4__add_class(s, i);
}

/* Take up the nodes that f has got. */
static void nc_fp4__take_nodes(nc_fp4__sweep *s) {
    uint32_t i, w;
    while (s->merged.count < s->f->nodes.count && s->status == NC_OK) {
        const nc_fp4__node *node;
        i = s->merged.count;
        node = &s->f->nodes.at[i];
        if (!nc_fp4__numbers_add(&s->merged, i)) s->status = NC_ERR_MEMORY;
        if (!s->most_conflicts) continue;
        if (!nc_fp4__numbers_add(&s->place, 0) ||
            !nc_fp4__patterns_reserve(&s->patterns, NC_FP4__PATTERNS)) {
            s->status = NC_ERR_MEMORY;
            return;
        }
        s->patterns.count += NC_FP4__PATTERNS;
        if (node->inputs == NC_FP4__INPUT)
            for (w = 0; w < NC_FP4__PATTERNS; w++)
                s->patterns.at[i * (size_t)NC_FP4__PATTERNS + w] = nc_fp4__input_pattern(s, w);
        else
            nc_fp4__run_pattern(s, i, 0, NC_FP4__PATTERNS);
        if (!nc_fp4__is_not(node) && i != NC_FP4_TRUE) nc_fp4__settle(s, i);
    }
}

/* The wire in f of a function of three wires, merged. */
static uint32_t nc_fp4__swept(nc_fp4__sweep *s, const uint32_t in[3], uint8_t truth) {
    uint32_t wire = nc_fp4__function(s->f, in, truth), complement[3] = {0, 0, 0};
    if (wire == UINT32_MAX) {
        s->status = nc_fp4__added(s->f, wire);
        return 0;
    }
    nc_fp4__take_nodes(s);
    if (s->status != NC_OK) return 0;
    if (!nc_fp4__is_not(&s->f->nodes.at[wire])) return s->merged.at[wire];
    complement[0] = s->f->nodes.at[wire].in[0];
    if (s->merged.at[complement[0]] == complement[0]) return wire;
    complement[0] = s->merged.at[complement[0]];
    wire = nc_fp4__function(s->f, complement, 0x55);
    if (wire == UINT32_MAX) s->status = nc_fp4__added(s->f, wire);
    nc_fp4__take_nodes(s);
    return s->status == NC_OK ? wire : 0;
}

/* A unit of n inputs: functions of three of them, which the others choose from. */
static uint32_t nc_fp4__swept_unit(nc_fp4__sweep *s, const nc_fp4_unit *unit,
                                   const uint32_t *wire_of) {
    uint64_t table[NC_FP4__UNIT_WORDS];
    uint32_t leaf[1 << (NC_FP4_UNIT_INPUTS - 3)] = {0}, in[3] = {0, 0, 0}, n = unit->inputs, i, k;
    const uint32_t narrow = n < 3 ? n : 3;
    nc_fp4__unit_truth(unit, table);
    for (k = 0; k < narrow; k++) in[k] = wire_of[unit->input[k]];
    for (i = 0; i < 1u << (n - narrow); i++)
        leaf[i] =
            nc_fp4__swept(s, in, nc_fp4__widened((uint32_t)(table[i / 8] >> i % 8 * 8), narrow));
    for (k = 3; k < n; k++) {
        in[2] = wire_of[unit->input[k]];
        for (i = 0; i < 1u << (n - 1 - k); i++) {
            in[0] = leaf[2 * i];
            in[1] = leaf[2 * i + 1];
            leaf[i] = nc_fp4__swept(s, in, 0xCA);
        }
    }
    return leaf[0];
}

/* The node of which a wire in f is the complement, or the wire. */
static uint32_t nc_fp4__plain(const nc_fp4__sweep *s, uint32_t wire) {
    const nc_fp4__node *node = &s->f->nodes.at[wire];
    return nc_fp4__is_not(node) ? node->in[0] : wire;
}

/* The wire `known`, or its complement where flip is 1, in the place of another one, where clauses
 * show that both are the same, by the leaves of node v at first: what the compiler says of v is
 * tried, not believed. node: wires in f. */
static uint32_t nc_fp4__hinted(nc_fp4__sweep *s, const nc_fp4_network *n, uint32_t v,
                               const uint32_t *node, uint32_t wire, uint32_t known, uint32_t flip) {
    const uint32_t *reason = n->reasons.at + n->reason_of.at[v];
    const uint32_t a = nc_fp4__plain(s, wire), b = nc_fp4__plain(s, known);
    uint32_t in[3] = {0, 0, 0}, leaves = (*reason & 255) + (*reason >> 16);
    int differ = 0;
    if (((a != wire) ^ (b != known)) != (int)flip || !nc_fp4__alike(s, a, b))
        return wire; /* no node is another one's complement: it cannot be right */
    while (a != b && leaves && s->status == NC_OK)
        if (!nc_fp4__numbers_add(&s->cut, nc_fp4__plain(s, node[reason[leaves--]])))
            s->status = NC_ERR_MEMORY;
    if (a != b && s->status == NC_OK)
        differ = nc_fp4__differ(s, a, b, s->most_nodes, s->most_conflicts);
    if (differ == 1) { /* a wrong unit: its case may show at the outputs, and no word counts now */
        nc_fp4__add_pattern(s);
        nc_fp4__use_patterns(s);
        s->hints = 0;
    }
    if (differ || s->status != NC_OK) return wire;
    in[0] = known;
    return flip ? nc_fp4__swept(s, in, 0x55) : known;
}

/* Node v, which f has got, if it has the same wire as a node before: that one. hint: the first node
 * of each wire. */
static void nc_fp4__hint_node(nc_fp4__sweep *s, const nc_fp4_network *n, uint32_t v, uint32_t *node,
                              uint32_t *hint) {
    const uint32_t wire = n->wire_of.at[v];
    if (wire == UINT32_MAX) return;
    if (hint[wire] == UINT32_MAX)
        hint[wire] = v;
    else if (n->reason_of.at[v] != UINT32_MAX)
        node[v] = nc_fp4__hinted(s, n, v, node, node[v], node[hint[wire]],
                                 nc_fp4__holds_complement(n, v) ^
                                     nc_fp4__holds_complement(n, hint[wire]));
}

/* Wires in f of all nodes, and of the network's inputs and units; the inputs have those of the
 * circuit's names. */
static void nc_fp4__sweep_sides(nc_fp4__sweep *s, const nc_fp4_network *n, const nc_fp4_circuit *c,
                                uint32_t *node, uint32_t *wire, uint32_t *hint) {
    uint32_t in[3], i, j;
    for (i = 0; i < c->input_groups.count && s->status == NC_OK; i++) {
        const nc_fp4__group *group = &c->input_groups.at[i];
        s->status = nc_fp4_add_input(s->f, group->name, group->width, wire + group->first);
    }
    for (i = 0; i < n->inputs && s->status == NC_OK; i++)
        if (!nc_fp4__patterns_add(&s->pending, 0)) s->status = NC_ERR_MEMORY;
    nc_fp4__take_nodes(s);
    for (i = 0; i < c->nodes.count && s->status == NC_OK; i++) {
        const nc_fp4__node *o = &c->nodes.at[i];
        for (j = 0; j < 3; j++) in[j] = j < o->inputs ? node[o->in[j]] : 0;
        if (o->inputs == NC_FP4__INPUT)
            node[i] = wire[o->in[0]];
        else
            node[i] = i <= NC_FP4_TRUE ? i : nc_fp4__swept(s, in, o->truth);
        if (s->hints && s->status == NC_OK) nc_fp4__hint_node(s, n, i, node, hint);
    }
    s->active = !s->hints;
    s->most_conflicts *= 8;
    for (i = 0; i < n->units.count && s->status == NC_OK; i++) {
        const uint32_t at = n->inputs + i, v = hint[at];
        wire[at] = nc_fp4__swept_unit(s, &n->units.at[i], wire);
        if (v != UINT32_MAX && n->reason_of.at[v] != UINT32_MAX && s->hints && s->status == NC_OK)
            wire[at] =
                nc_fp4__hinted(s, n, v, node, wire[at], node[v], nc_fp4__holds_complement(n, v));
    }
}

/* -- what is left of both sides ---------------------------------------------------------------- */

/* Two outputs with different wires. 0: equal; 1: not, as the example shows; -1: unknown.
 * most_conflicts 0: by the patterns only. */
static int nc_fp4__outputs_differ(nc_fp4__sweep *s, uint32_t a, uint32_t b, uint64_t most_conflicts,
                                  uint8_t *example) {
    const uint64_t *p = s->patterns.at;
    const size_t all = NC_FP4__PATTERNS;
    uint32_t w, i;
    int differ;
    for (w = 0; w < all; w++) {
        const uint64_t d = p[a * all + w] ^ p[b * all + w];
        const uint32_t bit = d ? nc_fp4__lowest_bit(d) : 0;
        for (i = 0; d && i < s->f->inputs.count; i++)
            example[i] = (uint8_t)(p[s->f->inputs.at[i] * all + w] >> bit & 1);
        if (d) return 1;
    }
    differ = most_conflicts ? nc_fp4__differ(s, a, b, UINT32_MAX, most_conflicts) : -1;
    if (differ != 1) return differ;
    memset(example, 0, s->f->inputs.count);
    for (i = 0; i < s->window.count; i++) {
        const nc_fp4__node *node = &s->f->nodes.at[s->window.at[i]];
        if (node->inputs == NC_FP4__INPUT) example[node->in[0]] = s->sat.vars.at[i].value == 1;
    }
    return 1;
}

/* The pairs of outputs: those that are proven equal get one wire. NC_OK: all of them, or one is
 * wrong; NC_ERR_LIMIT: report->open are neither. */
static nc_status nc_fp4__compare_pairs(nc_fp4__sweep *s, const nc_fp4_network *n,
                                       const nc_fp4_circuit *c, uint32_t *a, const uint32_t *b,
                                       uint8_t *example, nc_fp4_report *report) {
    static const uint64_t most[3] = {0, 1000, UINT64_MAX / 2};
    const uint32_t count = n->outputs.count;
    uint32_t pass, i;
    for (pass = 0; pass < 3 && s->status == NC_OK; pass++)
        for (i = 0; i < count && s->status == NC_OK; i++) {
            const int differ =
                a[i] == b[i] ? 0 : nc_fp4__outputs_differ(s, a[i], b[i], most[pass], example);
            if (differ == 0) a[i] = b[i];
            if (differ == 1) return nc_fp4__confirm(n, c, example, s->budget, report);
        }
    for (report->open = i = 0; i < count; i++) report->open += a[i] != b[i];
    return report->open && s->status == NC_OK ? NC_ERR_LIMIT : s->status;
}

/* A circuit whose only output is 1 where outputs differ that have no wire in common. */
static nc_status nc_fp4__finish_miter(nc_fp4__sweep *s, const uint32_t *a, const uint32_t *b,
                                      uint32_t n) {
    uint32_t in[3] = {0, 0, 0}, any = NC_FP4_FALSE, i;
    s->most_conflicts = 0;
    for (i = 0; i < n && s->status == NC_OK; i++) {
        in[0] = a[i];
        in[1] = b[i];
        in[0] = nc_fp4__swept(s, in, 0x66);
        in[1] = any;
        any = nc_fp4__swept(s, in, 0xEE);
    }
    return s->status != NC_OK ? s->status : nc_fp4_add_output(s->f, "differ", 1, &any);
}

/* Both sides of a comparison: wires in f of the circuit's nodes, of the network's inputs and units,
 * and of the outputs of either; hint: the first node of each of the network's wires, or none. */
typedef struct nc_fp4__sides {
    nc_fp4__sweep sweep;
    uint32_t *node, *wire, *hint, *a, *b;
    uint8_t *example;
    size_t bytes;
} nc_fp4__sides;

static void nc_fp4__sides_end(nc_fp4__sides *x, const nc_allocator *hooks) {
    nc_fp4__sweep_free(&x->sweep);
    nc__free(hooks, x->node, x->bytes);
}

/* What a comparison merges: units with the nodes that the compiler says they give; units with any
 * nodes; the circuit's own nodes, too. */
typedef enum nc_fp4__merging {
    NC_FP4__MERGE_HINTS,
    NC_FP4__MERGE_UNITS,
    NC_FP4__MERGE_ALL
} nc_fp4__merging;

/* most_conflicts 0: nothing is merged. End it in any case. */
static nc_status nc_fp4__sides_start(nc_fp4__sides *x, const nc_fp4_network *n,
                                     const nc_fp4_circuit *c, nc_fp4__budget *b,
                                     uint32_t most_conflicts, nc_fp4__merging merging) {
    nc_fp4__sweep *s = &x->sweep;
    const nc_allocator *hooks = n->hooks;
    const size_t wires = n->inputs + (size_t)n->units.count, outputs = n->outputs.count;
    uint32_t i;
    memset(x, 0, sizeof *x);
    s->budget = s->sat.budget = b;
    s->most_nodes = 4000;
    s->most_conflicts = most_conflicts;
    s->active = merging == NC_FP4__MERGE_ALL;
    s->hints = merging == NC_FP4__MERGE_HINTS;
    s->merged.hooks = s->patterns.hooks = s->classes.hooks = s->place.hooks = s->window.hooks =
        s->heap.hooks = s->cut.hooks = s->pending.hooks = hooks;
    s->sat.words.hooks = s->sat.trail.hooks = s->sat.levels.hooks = s->sat.learnt.hooks =
        s->sat.touched.hooks = s->sat.vars.hooks = hooks;
    x->bytes = (c->nodes.count + 2 * wires + 2 * outputs) * sizeof(uint32_t) + n->inputs;
    x->node = (uint32_t *)nc__calloc(hooks, x->bytes);
    if (!x->node) return NC_ERR_MEMORY;
    x->wire = x->node + c->nodes.count;
    x->hint = x->wire + wires;
    memset(x->hint, 255, wires * sizeof *x->hint);
    x->a = x->hint + wires;
    x->b = x->a + outputs;
    x->example = (uint8_t *)(x->b + outputs);
    s->status = nc_fp4_create(&s->f, c->name, hooks);
    if (s->status == NC_OK) nc_fp4__sweep_sides(s, n, c, x->node, x->wire, x->hint);
    for (i = 0; i < outputs && s->status == NC_OK; i++) {
        x->a[i] = x->wire[n->outputs.at[i]];
        x->b[i] = x->node[c->outputs.at[i]];
    }
    return s->status;
}

static int nc_fp4__same_shape(const nc_fp4_network *n, const nc_fp4_circuit *c) {
    return n->inputs == c->inputs.count && n->outputs.count == c->outputs.count;
}

/* At first as little is merged as may do; each way has half of the steps that are left, the last
 * one all. */
static nc_status nc_fp4__compare_sweep(const nc_fp4_network *n, const nc_fp4_circuit *c,
                                       nc_fp4__budget *b, nc_fp4_report *report) {
    nc_fp4__sides *x = (nc_fp4__sides *)nc__alloc(n->hooks, sizeof *x);
    const uint64_t limit = b->limit;
    nc_status status = NC_ERR_LIMIT;
    int way = nc_fp4__is_own(n, c) ? NC_FP4__MERGE_HINTS : NC_FP4__MERGE_UNITS;
    if (!x) return NC_ERR_MEMORY;
    for (; way <= NC_FP4__MERGE_ALL && status == NC_ERR_LIMIT && !b->cancelled; way++) {
        b->limit = way == NC_FP4__MERGE_ALL ? limit : b->spent + (limit - b->spent) / 2;
        status = nc_fp4__sides_start(x, n, c, b, 100, (nc_fp4__merging)way);
        if (status == NC_OK)
            status = nc_fp4__compare_pairs(&x->sweep, n, c, x->a, x->b, x->example, report);
        nc_fp4__sides_end(x, n->hooks);
    }
    nc__free(n->hooks, x, sizeof *x);
    return status;
}

NC_API nc_status nc_fp4_miter(nc_fp4_circuit **miter, const nc_fp4_network *network,
                              const nc_fp4_circuit *circuit) {
    const nc_fp4_verify_options none = {0, 0, NULL, NULL, NULL, NULL, NULL};
    nc_fp4__budget b;
    nc_fp4__sides *x;
    nc_status status;
    if (!miter) return NC_ERR_ARG;
    *miter = NULL;
    if (!network || !circuit) return NC_ERR_ARG;
    if (!nc_fp4__same_shape(network, circuit)) return NC_ERR_MISMATCH;
    x = (nc_fp4__sides *)nc__alloc(network->hooks, sizeof *x);
    if (!x) return NC_ERR_MEMORY;
    memset(&b, 0, sizeof b);
    b.options = &none;
    b.limit = UINT64_MAX;
    status = nc_fp4__sides_start(x, network, circuit, &b, 0, NC_FP4__MERGE_UNITS);
    if (status == NC_OK)
        status = nc_fp4__finish_miter(&x->sweep, x->a, x->b, network->outputs.count);
    if (status == NC_OK) {
        *miter = x->sweep.f;
        x->sweep.f = NULL;
    }
    nc_fp4__sides_end(x, network->hooks);
    nc__free(network->hooks, x, sizeof *x);
    return status;
}

/* The user's solver on the miter, as DIMACS. A solution is tried before it is believed. */
static nc_status nc_fp4__ask_solver(const nc_fp4_network *n, const nc_fp4_circuit *c,
                                    const nc_fp4__budget *b, nc_fp4_report *report) {
    const nc_fp4_verify_options *o = b->options;
    nc_fp4_circuit *miter;
    char *text = NULL;
    uint8_t *example = NULL;
    size_t bytes = 0;
    uint32_t i;
    int answer = 0;
    nc_status status = nc_fp4_miter(&miter, n, c);
    if (status == NC_OK) status = nc_fp4_write_circuit(miter, NC_FP4_DIMACS, &text, &bytes);
    nc_fp4_destroy(miter);
    if (status == NC_OK) {
        example = (uint8_t *)nc__calloc(n->hooks, n->inputs);
        if (!example) status = NC_ERR_MEMORY;
    }
    if (status == NC_OK) answer = o->sat(o->sat_user, text, bytes, n->inputs, example);
    for (i = 0; answer == 10 && i < n->inputs; i++) example[i] = example[i] != 0;
    if (answer == 10) status = nc_fp4__confirm(n, c, example, b, report);
    if (status == NC_OK && answer != 10 && answer != 20) status = NC_ERR_LIMIT;
    nc__free(n->hooks, example, n->inputs);
    nc_fp4_free_text(text);
    return status;
}

/* -- the choice of methods --------------------------------------------------------------------- */

typedef struct nc_fp4__verifier {
    const nc_fp4_network *n;
    const nc_fp4_circuit *c;
    nc_fp4__budget b;
    nc_fp4_report *report;
} nc_fp4__verifier;

/* Random cases unit by unit: for units that are not what the program was made from. NC_OK: one of
 * them is wrong. */
static nc_status nc_fp4__try_units(nc_fp4__verifier *v) {
    const uint32_t inputs = v->n->inputs;
    nc_fp4_report *r = v->report;
    uint8_t *example = (uint8_t *)nc__calloc(v->n->hooks, inputs);
    nc_status status = example ? NC_ERR_MISMATCH : NC_ERR_MEMORY;
    uint32_t i, k, words[4];
    for (k = 0; k < 64 && status == NC_ERR_MISMATCH; k++) {
        for (i = 0; i < inputs; i++) {
            nc__philox(v->n->source, k, i, words);
            example[i] = words[0] & 1;
        }
        status = nc_fp4__confirm(v->n, v->c, example, &v->b, r);
    }
    if (status == NC_OK) {
        r->wrong = 1;
        r->first_wrong = k - 1;
    }
    nc__free(v->n->hooks, example, inputs);
    return status == NC_ERR_MISMATCH ? NC_ERR_LIMIT : status;
}

/* A proof by structure, and random cases beside it, which may find a fault where it fails. */
static nc_status nc_fp4__structure_and_cases(nc_fp4__verifier *v) {
    nc_status status = nc_fp4__compare_structure(v->n, v->c, &v->b), cases;
    if (status != NC_OK && status != NC_ERR_LIMIT) return status;
    cases = nc_fp4__compare_cases(v->n, v->c, 8, &v->b, v->report);
    if (v->report->wrong || (cases != NC_OK && cases != NC_ERR_LIMIT)) return cases;
    return status == NC_OK ? NC_OK : nc_fp4__try_units(v);
}

/* One method, with so many steps. NC_OK: the verdict is known. */
static nc_status nc_fp4__try_method(nc_fp4__verifier *v, nc_fp4_evidence method, uint64_t steps) {
    nc_fp4_report *r = v->report;
    nc_fp4__budget *b = &v->b;
    nc_status status = NC_ERR_LIMIT;
    b->limit = steps < b->total - b->spent ? b->spent + steps : b->total;
    r->evidence = method;
    r->tried |= 1u << method;
    r->cases = r->wrong = r->first_wrong = 0;
    r->open = v->n->outputs.count;
    if (method == NC_FP4_EXHAUSTIVE) status = nc_fp4__compare_cases(v->n, v->c, 0, b, r);
    if (method == NC_FP4_BDD) status = nc_fp4__compare_diagrams(v->n, v->c, b, r);
    if (method == NC_FP4_STRUCTURAL) status = nc_fp4__structure_and_cases(v);
    if (method == NC_FP4_SWEEP) status = nc_fp4__compare_sweep(v->n, v->c, b, r);
    if (method == NC_FP4_SOLVER) status = nc_fp4__ask_solver(v->n, v->c, b, r);
    if (status == NC_OK) r->verdict = r->wrong ? NC_FP4_REFUTED : NC_FP4_PROVEN;
    if (status == NC_OK) r->open = 0;
    return status;
}

/* Methods by what they cost: all cases where they are few; the circuit's own structure; diagrams;
 * sweeping; all cases where they can be had; the user's solver. */
static nc_status nc_fp4__try_methods(nc_fp4__verifier *v) {
    static const nc_fp4_evidence order[6] = {NC_FP4_EXHAUSTIVE, NC_FP4_STRUCTURAL, NC_FP4_BDD,
                                             NC_FP4_SWEEP,      NC_FP4_EXHAUSTIVE, NC_FP4_SOLVER};
    const uint32_t inputs = v->n->inputs, asked = v->b.options->methods;
    const uint64_t total = v->b.total, side = (uint64_t)v->n->steps.count + v->c->nodes.count;
    const uint64_t all = inputs > 26 ? UINT64_MAX : (side << (inputs > 11 ? inputs - 11 : 0));
    const int own = nc_fp4__is_own(v->n, v->c);
    nc_status status = NC_ERR_LIMIT;
    uint32_t i;
    for (i = 0; i < 6 && status == NC_ERR_LIMIT && !v->b.cancelled; i++) {
        const nc_fp4_evidence method = order[i];
        uint64_t steps = total;
        if (asked && !(asked >> method & 1)) continue;
        if (v->b.spent >= total && method != NC_FP4_SOLVER) continue;
        if (method == NC_FP4_EXHAUSTIVE &&
            (inputs > 26 || (i == 0 && asked != 1u << method && all > total / 16) ||
             (i > 0 && v->report->tried & 1u << method)))
            continue;
        if (method == NC_FP4_STRUCTURAL && !own) continue;
        if (method == NC_FP4_SOLVER && !v->b.options->sat) continue;
        if (method == NC_FP4_BDD && asked != 1u << method) steps = total / 8;
        if (method == NC_FP4_SWEEP && all < total / 2) steps = total / 4;
        status = nc_fp4__try_method(v, method, steps);
    }
    return v->b.cancelled && status == NC_ERR_LIMIT ? NC_ERR_CANCELLED : status;
}

NC_API nc_status nc_fp4_verify_with(const nc_fp4_network *network, const nc_fp4_circuit *circuit,
                                    const nc_fp4_verify_options *options, nc_fp4_report *report) {
    static const nc_fp4_verify_options none = {0, 0, NULL, NULL, NULL, NULL, NULL};
    nc_fp4__verifier v;
    nc_status status;
    if (!network || !circuit || !report) return NC_ERR_ARG;
    nc_fp4__start_report(network, report);
    if (!nc_fp4__same_shape(network, circuit)) return NC_ERR_MISMATCH;
    memset(&v, 0, sizeof v);
    v.n = network;
    v.c = circuit;
    v.report = report;
    v.b.options = options ? options : &none;
    v.b.total = v.b.options->steps ? v.b.options->steps : NC_FP4_DEFAULT_STEPS;
    status = nc_fp4__try_methods(&v);
    report->steps = v.b.spent;
    return status;
}

NC_API nc_status nc_fp4_verify_by(const nc_fp4_network *network, const nc_fp4_circuit *circuit,
                                  nc_fp4_evidence evidence, nc_fp4_report *report) {
    nc_fp4_verify_options options;
    nc_status status;
    if ((unsigned)evidence > NC_FP4_SWEEP) return NC_ERR_ARG;
    memset(&options, 0, sizeof options);
    options.methods = 1u << evidence;
    status = nc_fp4_verify_with(network, circuit, &options, report);
    if (network && circuit && report) report->evidence = evidence;
    return status;
}

NC_API nc_status nc_fp4_verify(const nc_fp4_network *network, const nc_fp4_circuit *circuit,
                               nc_fp4_report *report) {
    return nc_fp4_verify_with(network, circuit, NULL, report);
}

/* >>files ======================================================================== */

NC__WARM_BEGIN

NC__COLD_BEGIN

/* -- text: BLIF, DOT, C, a JSON manifest --------------------------------------------------- */

/* Labels of a network. */
static void nc_fp4__network_labels(nc_fp4__labels *l, const nc_fp4_network *n,
                                   nc_fp4_file_kind kind, nc__buffer *to) {
    uint32_t i;
    memset(l, 0, sizeof *l);
    for (i = 0; i < n->outputs.count; i++) {
        const uint32_t wire = n->outputs.at[i];
        if (!nc_fp4__numbers_add(&l->shown, wire < n->inputs ? wire : UINT32_MAX)) {
            to->status = NC_ERR_MEMORY;
            return;
        }
    }
    nc_fp4__labels_open(l, &n->input_groups, &n->output_groups, kind, to);
}

/* Name of a wire: an input's, or the number of a unit behind the prefix. */
static void nc_fp4__put_net(nc__buffer *to, const nc_fp4_network *n, const nc_fp4__labels *l,
                            uint32_t wire) {
    if (wire < n->inputs)
        nc_fp4__put_bit(to, &l->in, wire);
    else
        nc__buffer_print(to, "%s%u", l->prefix.data, (unsigned)(wire - n->inputs));
}

/* The rows of a unit: a minimal set of inputs each that lets it give 1, whatever the others are.
 * Inputs help with 1 where the weight is positive, else with 0. */
static void nc_fp4__unit_rows(nc__buffer *to, const nc_fp4_unit *unit) {
    uint32_t negative = 0, helping, i;
    for (i = 0; i < unit->inputs; i++)
        negative |= (uint32_t)(nc_fp4__doubled(unit->weight[i]) < 0) << i;
    for (helping = 0; helping < 1u << unit->inputs; helping++) {
        if (nc_fp4__doubled_sum(unit, helping ^ negative) <= 0) continue;
        for (i = 0; i < unit->inputs; i++) /* could one of them be left out? */
            if (helping >> i & 1 && nc_fp4__doubled_sum(unit, (helping ^ negative) ^ 1u << i) > 0)
                break;
        if (i < unit->inputs) continue;
        for (i = 0; i < unit->inputs; i++)
            nc__buffer_put(to, helping >> i & 1 ? (negative >> i & 1 ? "0" : "1") : "-", 1);
        nc__buffer_print(to, unit->inputs ? " 1\n" : "1\n");
    }
}

/* A .names for each unit, named by its number, and one for each output. */
static void nc_fp4__net_blif(const nc_fp4_network *n, nc__buffer *to) {
    nc_fp4__labels l;
    uint32_t i, k;
    nc_fp4__network_labels(&l, n, NC_FP4_BLIF, to);
    nc_fp4__blif_head(to, n->name, &l);
    for (i = 0; to->status == NC_OK && i < nc_fp4_unit_count(n); i++) {
        const nc_fp4_unit *unit = &n->units.at[i];
        nc__buffer_print(to, ".names");
        for (k = 0; k < unit->inputs; k++) {
            nc__buffer_put(to, " ", 1);
            nc_fp4__put_net(to, n, &l, unit->input[k]);
        }
        nc__buffer_print(to, " %s%u\n", l.prefix.data, (unsigned)i);
        nc_fp4__unit_rows(to, unit);
    }
    for (i = 0; to->status == NC_OK && i < nc_fp4_network_outputs(n); i++) {
        if (nc_fp4__label_shared(&l, i)) continue;
        nc__buffer_print(to, ".names ");
        nc_fp4__put_net(to, n, &l, n->outputs.at[i]);
        nc_fp4__blif_output(to, &l.out, i);
    }
    nc__buffer_print(to, ".end\n");
    nc_fp4__labels_free(&l);
}

/* A wire as the name of a vertex: an input's name, or the number of a unit. */
static void nc_fp4__dot_wire(nc__buffer *to, const nc_fp4_network *n, const nc_fp4__labels *l,
                             uint32_t wire) {
    if (wire < n->inputs)
        nc_fp4__quote_bit(to, &l->in, wire);
    else
        nc__buffer_print(to, "\"%s%u\"", l->prefix.data, (unsigned)(wire - n->inputs));
}

/* Graphviz: inputs and outputs are boxes, units circles that say their threshold, edges weights. */
static void nc_fp4__net_dot(const nc_fp4_network *n, nc__buffer *to) {
    nc_fp4__labels l;
    uint32_t i, k;
    nc_fp4__network_labels(&l, n, NC_FP4_DOT, to);
    nc__buffer_print(to, "digraph ");
    nc__buffer_quote(to, n->name);
    nc__buffer_print(to, " {\n  rankdir=LR;\n  node [shape=circle];\n");
    for (i = 0; to->status == NC_OK && i < n->inputs; i++) {
        nc__buffer_print(to, "  ");
        nc_fp4__quote_bit(to, &l.in, i);
        nc__buffer_print(to, " [shape=box];\n");
    }
    for (i = 0; to->status == NC_OK && i < nc_fp4_unit_count(n); i++) {
        const nc_fp4_unit *unit = &n->units.at[i];
        nc__buffer_print(to, "  \"%s%u\" [label=\"> ", l.prefix.data, (unsigned)i);
        nc__buffer_real(to, (double)nc_fp4_decode(unit->threshold), 6);
        nc__buffer_print(to, "\"];\n");
        for (k = 0; k < unit->inputs; k++) {
            nc__buffer_print(to, "  ");
            nc_fp4__dot_wire(to, n, &l, unit->input[k]);
            nc__buffer_print(to, " -> \"%s%u\" [label=\"", l.prefix.data, (unsigned)i);
            nc__buffer_real(to, (double)nc_fp4_decode(unit->weight[k]), 6);
            nc__buffer_print(to, "\"];\n");
        }
    }
    for (i = 0; to->status == NC_OK && i < nc_fp4_network_outputs(n); i++) {
        nc__buffer_print(to, "  ");
        nc_fp4__dot_wire(to, n, &l, n->outputs.at[i]);
        nc__buffer_print(to, " -> \"%sout%u\";\n  \"%sout%u\" [shape=box, label=", l.prefix.data,
                         (unsigned)i, l.prefix.data, (unsigned)i);
        nc_fp4__quote_bit(to, &l.out, i);
        nc__buffer_print(to, "];\n");
    }
    nc__buffer_print(to, "}\n");
    nc_fp4__labels_free(&l);
}

/* Operand of a step in C. */
static void nc_fp4__c_operand(const nc_fp4_network *n, uint32_t operand, char name[32]) {
    const uint32_t fixed = n->inputs + nc_fp4_network_outputs(n);
    if (operand < n->inputs)
        snprintf(name, 32, "in[%u]", (unsigned)operand);
    else if (operand < fixed)
        snprintf(name, 32, "out[%u]", (unsigned)(operand - n->inputs));
    else
        snprintf(name, 32, "t[%u]", (unsigned)(operand - fixed));
}

/* A function of three operands as C: the majority in four operations, all others by their algebraic
 * normal form. */
static void nc_fp4__c_function(nc__buffer *to, uint8_t truth, char name[3][32]) {
    const char *a = name[0], *b = name[1], *c = name[2], *plus = "";
    uint64_t mask[8];
    uint32_t i, k;
    if (truth == 0xE8) {
        nc__buffer_print(to, "(%s & %s) | (%s & (%s | %s))", a, b, c, a, b);
        return;
    }
    nc_fp4__masks(truth, mask);
    for (i = 0; i < 8; i++) {
        const char *times = "";
        if (!mask[i]) continue;
        nc__buffer_print(to, i ? "%s(" : "%s~(uint64_t)0", plus);
        for (k = 0; k < 3; k++)
            if (i >> k & 1) {
                nc__buffer_print(to, "%s%s", times, name[k]);
                times = " & ";
            }
        if (i) nc__buffer_print(to, ")");
        plus = " ^ ";
    }
    if (!*plus) nc__buffer_print(to, "0");
}

/* Names and widths in a comment, which a '*' could end. */
static void nc_fp4__c_groups(nc__buffer *to, const nc_fp4__groups *groups) {
    const char *name;
    size_t i;
    for (i = 0; i < groups->count; i++) {
        if (i) nc__buffer_print(to, ", ");
        for (name = groups->at[i].name; *name; name++)
            nc__buffer_put(to, *name == '*' ? "_" : name, 1);
        nc__buffer_print(to, " %u", (unsigned)groups->at[i].width);
    }
}

/* The bit-sliced program, a statement for each step. */
static void nc_fp4__net_c(const nc_fp4_network *n, nc__buffer *to) {
    char name[3][32], result[32], *id;
    uint32_t i, k;
    id = nc_fp4__copy_text(NULL, n->name, strlen(n->name));
    if (!id) {
        to->status = NC_ERR_MEMORY;
        return;
    }
    for (i = 0; id[i]; i++)
        if (!nc__is_letter((uint8_t)id[i]) && (!i || !nc__is_digit((uint8_t)id[i]))) id[i] = '_';
    nc__buffer_print(to, "/* %s: %u inputs, %u outputs, %u threshold units. Written by nc_fp4.h.\n",
                     id, (unsigned)n->inputs, (unsigned)nc_fp4_network_outputs(n),
                     (unsigned)nc_fp4_unit_count(n));
    nc__buffer_print(to, "   64 cases at once: bit k of a word is its value in case k.\n   in: ");
    nc_fp4__c_groups(to, &n->input_groups);
    nc__buffer_print(to, "; out: ");
    nc_fp4__c_groups(to, &n->output_groups);
    nc__buffer_print(to,
                     " wires, bit 0 first. */\n#ifndef nc_%s_included\n#define nc_%s_included\n"
                     "#include <stdint.h>\n\n"
                     "static inline void nc_%s(const uint64_t *in, uint64_t *out) {\n",
                     id, id, id);
    nc_fp4__free_text(NULL, id);
    if (n->temporaries) nc__buffer_print(to, "    uint64_t t[%u];\n", (unsigned)n->temporaries);
    if (!n->inputs) nc__buffer_print(to, "    (void)in;\n");
    for (i = 0; i < n->steps.count; i++) {
        const nc_fp4__step *s = &n->steps.at[i];
        for (k = 0; k < 3; k++) nc_fp4__c_operand(n, s->in[k], name[k]);
        nc_fp4__c_operand(n, s->out, result);
        nc__buffer_print(to, "    %s = ", result);
        nc_fp4__c_function(to, (uint8_t)s->truth, name);
        nc__buffer_print(to, ";\n");
    }
    nc__buffer_print(to, "}\n#endif\n");
}

/* JSON for other programs: names and widths of both sides, and the numbers of nc_fp4_report. */
static void nc_fp4__net_manifest(const nc_fp4_network *n, nc__buffer *to) {
    nc_fp4_report r;
    nc_fp4__start_report(n, &r);
    nc__buffer_print(to, "{\"name\": ");
    nc__buffer_quote(to, n->name);
    nc__buffer_print(to, ",\n");
    nc_fp4__json_groups(to, "inputs", &n->input_groups);
    nc_fp4__json_groups(to, "outputs", &n->output_groups);
    nc__buffer_print(to,
                     " \"units\": %u, \"parameters\": %u, \"bytes_fp4\": %u, "
                     "\"bytes_float32\": %u,\n \"margin\": ",
                     (unsigned)r.units, (unsigned)r.parameters, (unsigned)r.bytes_packed,
                     (unsigned)r.bytes_float);
    nc__buffer_real(to, r.margin, 6);
    nc__buffer_print(to, ", \"depth\": %u, \"steps\": %u}\n", (unsigned)r.depth,
                     (unsigned)n->steps.count);
}

NC__COLD_END

/* -- .fp4 and safetensors ------------------------------------------------------------------- */

/* A name behind its length in so many bytes. */
static void nc_fp4__put_name(nc__buffer *to, const char *name, size_t bytes) {
    nc__buffer_le(to, strlen(name), bytes);
    nc__buffer_put(to, name, strlen(name));
}

static void nc_fp4__put_groups(nc__buffer *to, const nc_fp4__groups *groups, size_t bytes) {
    size_t g;
    for (g = 0; g < groups->count; g++) {
        nc_fp4__put_name(to, groups->at[g].name, bytes);
        nc__buffer_le(to, groups->at[g].width, 4);
    }
}

/* Bytes of a name's length: 1, or 4 where a name has more than 255. */
static size_t nc_fp4__name_bytes(const nc_fp4_network *n) {
    int wide = strlen(n->name) > 255;
    uint32_t i;
    for (i = 0; i < n->input_groups.count; i++)
        wide = wide || strlen(n->input_groups.at[i].name) > 255;
    for (i = 0; i < n->output_groups.count; i++)
        wide = wide || strlen(n->output_groups.at[i].name) > 255;
    return wide ? 4 : 1;
}

/* "NCFP4\1\0\0" (\2\0\0: lengths of names are four bytes); numbers of inputs, outputs, units,
 * groups of inputs and of outputs (u32); the name and the groups' names (a length byte each) and
 * widths (u32); of each unit the number of its inputs (u8); their wires (u32); all codes, weights
 * before the threshold, two a byte, low nibble first; wires of the outputs (u32); the FNV-1a of
 * everything before (u64). */
static void nc_fp4__net_file(const nc_fp4_network *n, nc__buffer *to) {
    const uint32_t units = nc_fp4_unit_count(n), outputs = nc_fp4_network_outputs(n);
    const size_t length = nc_fp4__name_bytes(n);
    uint32_t i, k, codes = 0, pair = 0;
    nc__buffer_put(to, length == 1 ? "NCFP4\1\0\0" : "NCFP4\2\0\0", 8);
    nc__buffer_le(to, n->inputs, 4);
    nc__buffer_le(to, outputs, 4);
    nc__buffer_le(to, units, 4);
    nc__buffer_le(to, n->input_groups.count, 4);
    nc__buffer_le(to, n->output_groups.count, 4);
    nc_fp4__put_name(to, n->name, length);
    nc_fp4__put_groups(to, &n->input_groups, length);
    nc_fp4__put_groups(to, &n->output_groups, length);
    for (i = 0; i < units; i++) nc__buffer_le(to, n->units.at[i].inputs, 1);
    for (i = 0; i < units; i++)
        for (k = 0; k < n->units.at[i].inputs; k++) nc__buffer_le(to, n->units.at[i].input[k], 4);
    for (i = 0; i < units; i++)
        for (k = 0; k <= n->units.at[i].inputs; k++) {
            const nc_fp4_unit *u = &n->units.at[i];
            const uint32_t code = k < u->inputs ? u->weight[k] : u->threshold;
            pair = codes % 2 ? pair | code << 4 : code;
            if (codes++ % 2) nc__buffer_le(to, pair, 1);
        }
    if (codes % 2) nc__buffer_le(to, pair, 1);
    for (i = 0; i < outputs; i++) nc__buffer_le(to, n->outputs.at[i], 4);
    if (to->status == NC_OK) nc__buffer_le(to, nc__fnv1a(NC__FNV_START, to->data, to->used), 8);
}

/* weight U8 [units, 4]: eight codes a unit, 0 where there is no input; weight_scale,
 * threshold_scale U8 [units, 1]: 127, an E8M0 of 1; threshold U8 [units, 1]: one code; input I32
 * [units, 8]: wires, -1 for none; output I32 [outputs]. */
static void nc_fp4__net_safetensors(const nc_fp4_network *n, nc__buffer *to) {
    static const struct {
        char name[16], dtype[4];
        uint32_t columns;
    } parts[5] = {{"weight", "U8", NC_FP4_UNIT_INPUTS / 2},
                  {"weight_scale", "U8", 1},
                  {"threshold", "U8", 1},
                  {"threshold_scale", "U8", 1},
                  {"input", "I32", NC_FP4_UNIT_INPUTS}};
    const uint32_t units = nc_fp4_unit_count(n), outputs = nc_fp4_network_outputs(n);
    uint64_t shape[2];
    char inputs[16];
    nc__head head;
    uint32_t i, k;
    nc__head_open(&head, NULL);
    nc__head_pair(&head, "nc_fp4", "network");
    snprintf(inputs, sizeof inputs, "%u", (unsigned)n->inputs);
    nc__head_pair(&head, "inputs", inputs);
    shape[0] = units;
    for (i = 0; i < 5; i++) {
        shape[1] = parts[i].columns;
        nc__head_tensor(&head, parts[i].name, parts[i].dtype, shape, 2);
    }
    shape[0] = outputs;
    nc__head_tensor(&head, "output", "I32", shape, 1);
    (void)nc__head_close(&head);
    *to = head.b;
    for (i = 0; i < units; i++)
        for (k = 0; k < NC_FP4_UNIT_INPUTS; k += 2) {
            const nc_fp4_unit *u = &n->units.at[i];
            const uint32_t low = k < u->inputs ? u->weight[k] : 0;
            const uint32_t high = k + 1 < u->inputs ? u->weight[k + 1] : 0;
            nc__buffer_le(to, low | high << 4, 1);
        }
    for (i = 0; i < units; i++) nc__buffer_le(to, 127, 1);
    for (i = 0; i < units; i++) nc__buffer_le(to, n->units.at[i].threshold, 1);
    for (i = 0; i < units; i++) nc__buffer_le(to, 127, 1);
    for (i = 0; i < units; i++)
        for (k = 0; k < NC_FP4_UNIT_INPUTS; k++)
            nc__buffer_le(to, k < n->units.at[i].inputs ? n->units.at[i].input[k] : UINT32_MAX, 4);
    for (i = 0; i < outputs; i++) nc__buffer_le(to, n->outputs.at[i], 4);
}

NC_API nc_status nc_fp4_write_network(const nc_fp4_network *network, nc_fp4_file_kind kind,
                                      char **data, size_t *bytes) {
    nc__buffer to;
    if (data) *data = NULL;
    if (!data || !bytes) return NC_ERR_ARG;
    *bytes = 0;
    if (!network) return NC_ERR_ARG;
    memset(&to, 0, sizeof to);
    switch (kind) {
    case NC_FP4_FILE: nc_fp4__net_file(network, &to); break;
    case NC_FP4_BLIF: nc_fp4__net_blif(network, &to); break;
    case NC_FP4_DOT: nc_fp4__net_dot(network, &to); break;
    case NC_FP4_C: nc_fp4__net_c(network, &to); break;
    case NC_FP4_JSON: nc_fp4__net_manifest(network, &to); break;
    case NC_FP4_SAFETENSORS: nc_fp4__net_safetensors(network, &to); break;
    default: return NC_ERR_UNSUPPORTED;
    }
    return nc_fp4__hand_over(&to, data, bytes);
}

/* -- reading .fp4 ---------------------------------------------------------------------------- */

NC__COLD_BEGIN

/* A .fp4 file while it is read: after the first failure everything is 0. */
typedef struct nc_fp4__bytes {
    const uint8_t *at, *end;
    nc_error *err;
    nc_status status;
    size_t name_bytes; /* of a name's length */
} nc_fp4__bytes;

static void nc_fp4__wrong(nc_fp4__bytes *b, nc_status status, const char *what) {
    if (b->status == NC_OK) b->status = nc__fail(b->err, status, 0, 0, "%s", what);
    b->at = b->end;
}

static uint32_t nc_fp4__get(nc_fp4__bytes *b, size_t bytes) {
    uint32_t value = 0;
    if ((size_t)(b->end - b->at) < bytes) {
        nc_fp4__wrong(b, NC_ERR_FORMAT, "the file ends early");
        return 0;
    }
    value = (uint32_t)nc__get_le(b->at, bytes);
    b->at += bytes;
    return value;
}

/* A name, to be freed with nc_fp4__free_text; null after a failure. */
static char *nc_fp4__get_name(nc_fp4__bytes *b, const nc_allocator *hooks) {
    const uint32_t n = nc_fp4__get(b, b->name_bytes);
    int good = n > 0 && n <= (size_t)(b->end - b->at);
    char *name = NULL;
    uint32_t i;
    for (i = 0; i < n && good; i++) good = nc_fp4__name_char((char)b->at[i]);
    if (!good)
        nc_fp4__wrong(b, NC_ERR_FORMAT, "a name that is none");
    else if (!(name = nc_fp4__copy_text(hooks, (const char *)b->at, n)))
        nc_fp4__wrong(b, NC_ERR_MEMORY, "out of memory");
    else
        b->at += n;
    return name;
}

/* Groups that cover `wires` wires. */
static void nc_fp4__get_groups(nc_fp4__bytes *b, uint32_t count, uint32_t wires,
                               nc_fp4__groups *groups) {
    uint32_t i, first = 0, width = 0;
    for (i = 0; i < count && b->status == NC_OK; i++) {
        char *name = nc_fp4__get_name(b, groups->hooks);
        first += width;
        width = nc_fp4__get(b, 4);
        if (width == 0 || width > wires - first)
            nc_fp4__wrong(b, NC_ERR_FORMAT, "a width that does not fit");
        else if (name && !nc_fp4__put_group(groups, name, first, width))
            nc_fp4__wrong(b, NC_ERR_MEMORY, "out of memory");
        nc_fp4__free_text(groups->hooks, name);
    }
    if (first + width != wires)
        nc_fp4__wrong(b, NC_ERR_FORMAT, "groups that do not cover the wires");
}

/* Units that read only what comes before them. */
static void nc_fp4__get_units(nc_fp4__bytes *b, uint32_t units, nc_fp4_network *n) {
    uint32_t i, k, code = 0, codes = 0;
    nc_fp4_unit unit, *u;
    memset(&unit, 0, sizeof unit);
    if (b->status == NC_OK && units && !nc_fp4__units_reserve(&n->units, units))
        nc_fp4__wrong(b, NC_ERR_MEMORY, "out of memory");
    for (i = 0; i < units && b->status == NC_OK; i++) {
        unit.inputs = (uint8_t)nc_fp4__get(b, 1);
        if (unit.inputs > NC_FP4_UNIT_INPUTS)
            nc_fp4__wrong(b, NC_ERR_FORMAT, "a unit with too many inputs");
        (void)nc_fp4__units_add(&n->units, unit);
    }
    for (i = 0; i < units && b->status == NC_OK; i++)
        for (u = &n->units.at[i], k = 0; k < u->inputs; k++) {
            u->input[k] = nc_fp4__get(b, 4);
            if (u->input[k] >= n->inputs + i)
                nc_fp4__wrong(b, NC_ERR_FORMAT, "a unit that reads a later wire");
        }
    for (i = 0; i < units && b->status == NC_OK; i++)
        for (u = &n->units.at[i], k = 0; k <= u->inputs; k++, codes++) {
            code = codes % 2 ? code >> 4 : nc_fp4__get(b, 1);
            if (k < u->inputs)
                u->weight[k] = code & 15;
            else
                u->threshold = code & 15;
        }
}

/* Everything between magic and checksum. Sizes are compared with what is left of the file before
 * anything is made of them. */
static void nc_fp4__parse_network(nc_fp4_network *n, nc_fp4__bytes *b) {
    uint32_t outputs, units, groups[2], i, wire;
    n->inputs = nc_fp4__get(b, 4);
    outputs = nc_fp4__get(b, 4);
    units = nc_fp4__get(b, 4);
    groups[0] = nc_fp4__get(b, 4);
    groups[1] = nc_fp4__get(b, 4);
    if (n->inputs > NC_FP4__MAX_WIRES || (uint64_t)units > (uint64_t)(b->end - b->at) ||
        (uint64_t)outputs * 4 > (uint64_t)(b->end - b->at) || groups[0] > n->inputs ||
        groups[1] > outputs)
        nc_fp4__wrong(b, NC_ERR_FORMAT, "sizes that the file cannot hold");
    n->name = nc_fp4__get_name(b, n->hooks);
    nc_fp4__get_groups(b, groups[0], n->inputs, &n->input_groups);
    nc_fp4__get_groups(b, groups[1], outputs, &n->output_groups);
    nc_fp4__get_units(b, units, n);
    for (i = 0; i < outputs && b->status == NC_OK; i++) {
        wire = nc_fp4__get(b, 4);
        if (wire >= n->inputs + units)
            nc_fp4__wrong(b, NC_ERR_FORMAT, "an output that shows no wire");
        else if (!nc_fp4__numbers_add(&n->outputs, wire))
            nc_fp4__wrong(b, NC_ERR_MEMORY, "out of memory");
    }
    if (b->at != b->end) nc_fp4__wrong(b, NC_ERR_FORMAT, "bytes left over");
}

NC_API nc_status nc_fp4_read_network(nc_fp4_network **network, const void *data, size_t bytes,
                                     nc_error *err) {
    const uint8_t *file = (const uint8_t *)data;
    nc_fp4__bytes b;
    nc_fp4_network *n;
    nc__clear(err);
    if (!network) return nc__fail(err, NC_ERR_ARG, 0, 0, "no network");
    *network = NULL;
    if (!data) return nc__fail(err, NC_ERR_ARG, 0, 0, "no data");
    if (bytes < 36 || memcmp(file, "NCFP4", 5) != 0)
        return nc__fail(err, NC_ERR_FORMAT, 0, 0, "not a .fp4 file");
    if ((file[5] != 1 && file[5] != 2) || file[6] || file[7])
        return nc__fail(err, NC_ERR_UNSUPPORTED, 0, 0, "a .fp4 file of another version");
    if (nc__fnv1a(NC__FNV_START, file, bytes - 8) != nc__get_le(file + bytes - 8, 8))
        return nc__fail(err, NC_ERR_MISMATCH, 0, 0, "the file does not match its checksum");
    memset(&b, 0, sizeof b);
    b.at = file + 8;
    b.end = file + bytes - 8;
    b.err = err;
    b.name_bytes = file[5] == 1 ? 1 : 4;
    n = nc_fp4__new_network(NULL);
    if (n) nc_fp4__parse_network(n, &b);
    if (!n || (b.status == NC_OK && nc_fp4__complete(n, NULL, NULL) != NC_OK))
        nc_fp4__wrong(&b, NC_ERR_MEMORY, "out of memory");
    if (b.status == NC_OK)
        *network = n;
    else
        nc_fp4_network_destroy(n);
    return b.status;
}

NC__COLD_END

NC__WARM_END

#ifdef NC_GPU
/* >>gpu ============================================================================ */

struct nc_fp4_gpu {
    nc_gpu *device;
};

NC_API nc_status nc_fp4_gpu_open(nc_fp4_gpu **gpu, nc_gpu *device) {
    nc_gpu_kernel *kernel;
    nc_status status;
    if (!gpu) return NC_ERR_ARG;
    *gpu = NULL;
    if (!device) return NC_ERR_ARG;
    status = nc_gpu_kernel_load(device, "fp4_matmul", &kernel);
    if (status == NC_OK) status = nc_gpu_kernel_load(device, "fp4_matmul_4", &kernel);
    if (status == NC_OK) status = nc_gpu_kernel_load(device, "fp4_matvec_i8", &kernel);
    if (status == NC_OK) status = nc_gpu_kernel_load(device, "fp4_circuit", &kernel);
    if (status != NC_OK) return status;
    *gpu = (nc_fp4_gpu *)nc__calloc(NULL, sizeof **gpu);
    if (!*gpu) return NC_ERR_MEMORY;
    (*gpu)->device = device;
    return NC_OK;
}

NC_API void nc_fp4_gpu_close(nc_fp4_gpu *gpu) { nc__free(NULL, gpu, sizeof *gpu); }

/* -- tensors -- */

/* Of the kernels (cuda/fp4_tile.h): rows of a group, rows and columns of a piece of codes, threads
 * of a row, and the words before the scales: the values of 16 codes and of 256 scales. */
enum {
    NC_FP4__GPU_ROWS = 16,
    NC_FP4__GPU_TILE = 8,
    NC_FP4__GPU_PART = 128,
    NC_FP4__GPU_LANES = 4,
    NC_FP4__GPU_TABLES = 16 + 256
};

struct nc_fp4_gpu_tensor {
    nc_gpu *device;
    nc_gpu_buffer *codes, *scales, *x, *y;
    nc_gpu_program *program; /* Y = X W^T for push.vectors vectors; null: none yet */
    struct {
        uint32_t rows, columns, vectors, parts, halves, words;
    } push;
    struct { /* of the product with bytes; blocks 0: the weights are no halves */
        nc_gpu_buffer *x, *y;
        nc_gpu_program *program;
        uint32_t blocks;
    } bytes;
};

/* Row r's word of columns c to c + 7. */
static uint32_t nc_fp4__gpu_word(const nc_fp4__matrix *w, uint32_t r, size_t c) {
    const uint8_t *codes = w->tensor->codes + r * w->code_bytes;
    uint32_t word = 0, i;
    for (i = 0; i < 4 && c / 2 + i < w->code_bytes; i++)
        word |= (uint32_t)codes[c / 2 + i] << (8 * i);
    return word;
}

/* The codes as the kernels take them, a piece after the other: 16 bytes for each row and thread. */
static void nc_fp4__gpu_codes(const nc_fp4__matrix *w, uint32_t parts, uint32_t *to) {
    uint32_t r, part, lane, step;
    for (r = 0; r < w->tensor->rows; r++)
        for (part = 0; part < parts; part++) {
            const size_t piece = (size_t)(r / NC_FP4__GPU_TILE) * parts + part;
            uint32_t *at =
                to + (piece * NC_FP4__GPU_TILE + r % NC_FP4__GPU_TILE) * NC_FP4__GPU_LANES * 4;
            for (lane = 0; lane < NC_FP4__GPU_LANES; lane++)
                for (step = 0; step < 4; step++)
                    *at++ = nc_fp4__gpu_word(
                        w, r, (size_t)part * NC_FP4__GPU_PART + 32 * step + 8 * lane);
        }
}

/* The values of all codes and of all scales of one byte. */
static void nc_fp4__gpu_tables(const nc_fp4__matrix *w, uint32_t *to) {
    uint8_t each[256];
    uint32_t i;
    for (i = 0; i < 16; i++) to[i] = nc_fp4__bits(w->value[i]);
    for (i = 0; i < 256; i++) each[i] = (uint8_t)i;
    for (i = 0; i < 256; i++)
        to[16 + i] = nc_fp4__bits(w->format.scale == NC_FP4__FLOAT32
                                      ? 0.0f
                                      : nc_fp4__tensor_scale_at(w->tensor, &w->format, each, i));
}

/* The scales of row r, for every 32 columns (halves 1) or 16 (2): bytes in a word a part, or
 * float32; `unit` words apart. */
static void nc_fp4__gpu_scales(const nc_fp4__matrix *w, uint32_t r, uint32_t halves, uint32_t *to,
                               size_t unit) {
    const int is_float = w->format.scale == NC_FP4__FLOAT32;
    size_t c;
    for (c = 0; c < w->tensor->columns && w->block; c += 32 / halves) {
        const uint32_t step = c % NC_FP4__GPU_PART / 32;
        uint32_t *at = to + c / NC_FP4__GPU_PART * unit * (is_float ? 4 : 1) + c % 32 / 16;
        if (is_float)
            at[step * unit] = nc_fp4__bits(nc_fp4__scale_at(w, r, c));
        else
            *at |= (uint32_t)w->tensor->scales[r * w->scale_bytes + (c >> w->shift)] << (8 * step);
    }
}

/* `words` zeroed words that `fill` has to make, as a buffer of the device. */
static nc_status nc_fp4__gpu_upload(nc_fp4_gpu_tensor *t, const nc_fp4__matrix *w, int scales,
                                    nc_gpu_buffer **buffer, size_t words) {
    const size_t bytes = nc__mul_size(words, 4), unit = NC_FP4__GPU_TILE * t->push.halves;
    nc_status status = nc_gpu_buffer_create(t->device, bytes, buffer);
    uint32_t *data = status == NC_OK ? (uint32_t *)nc__calloc(NULL, bytes) : NULL;
    uint32_t r;
    if (status != NC_OK) return status;
    if (!data) return NC_ERR_MEMORY;
    if (scales) nc_fp4__gpu_tables(w, data);
    for (r = 0; r < t->push.rows && scales; r++)
        nc_fp4__gpu_scales(w, r, t->push.halves,
                           data + NC_FP4__GPU_TABLES + r % NC_FP4__GPU_TILE * t->push.halves +
                               r / NC_FP4__GPU_TILE * (t->push.parts * t->push.words * unit),
                           unit);
    if (!scales) nc_fp4__gpu_codes(w, t->push.parts, data);
    status = nc_gpu_upload(t->device, *buffer, 0, data, bytes);
    nc__free(NULL, data, bytes);
    return status;
}

NC_API nc_status nc_fp4_gpu_tensor_create(nc_fp4_gpu_tensor **resident, nc_fp4_gpu *gpu,
                                          const nc_fp4_tensor *tensor) {
    nc_fp4_gpu_tensor *t;
    nc_fp4__matrix w;
    uint64_t pieces;
    nc_status status;
    if (!resident) return NC_ERR_ARG;
    *resident = NULL;
    if (!gpu || !nc_fp4__matrix_of(tensor, &w)) return NC_ERR_ARG;
    if (tensor->across && tensor->columns % 16) return NC_ERR_UNSUPPORTED;
    t = (nc_fp4_gpu_tensor *)nc__calloc(NULL, sizeof *t);
    if (!t) return NC_ERR_MEMORY;
    t->device = gpu->device;
    t->push.rows = tensor->rows;
    t->push.columns = tensor->columns;
    t->push.parts = (tensor->columns + NC_FP4__GPU_PART - 1) / NC_FP4__GPU_PART;
    t->push.halves = w.across || w.block == 16 ? 2 : 1;
    t->push.words = w.format.scale == NC_FP4__FLOAT32 ? 4 : 1;
    if (w.format.element->halves)
        t->bytes.blocks = (tensor->columns + 32 / t->push.halves - 1) / (32 / t->push.halves);
    pieces = ((uint64_t)tensor->rows + NC_FP4__GPU_ROWS - 1) / NC_FP4__GPU_ROWS *
             (NC_FP4__GPU_ROWS / NC_FP4__GPU_TILE) * t->push.parts;
    status = pieces >> 25 ? NC_ERR_LIMIT : NC_OK; /* the kernels count words in 32 bits */
    if (status == NC_OK)
        status = nc_fp4__gpu_upload(t, &w, 0, &t->codes,
                                    (size_t)pieces * NC_FP4__GPU_TILE * NC_FP4__GPU_LANES * 4);
    if (status == NC_OK)
        status = nc_fp4__gpu_upload(t, &w, 1, &t->scales,
                                    NC_FP4__GPU_TABLES + (size_t)pieces * NC_FP4__GPU_TILE *
                                                             t->push.halves * t->push.words);
    if (status == NC_OK)
        *resident = t;
    else
        nc_fp4_gpu_tensor_destroy(t);
    return status;
}

/* Forget the last product. */
static void nc_fp4__gpu_release(nc_fp4_gpu_tensor *t) {
    nc_gpu_program_destroy(t->device, t->program);
    nc_gpu_buffer_destroy(t->device, t->x);
    nc_gpu_buffer_destroy(t->device, t->y);
    t->program = NULL;
    t->x = t->y = NULL;
}

NC_API void nc_fp4_gpu_tensor_destroy(nc_fp4_gpu_tensor *resident) {
    if (!resident) return;
    nc_fp4__gpu_release(resident);
    nc_gpu_program_destroy(resident->device, resident->bytes.program);
    nc_gpu_buffer_destroy(resident->device, resident->bytes.x);
    nc_gpu_buffer_destroy(resident->device, resident->bytes.y);
    nc_gpu_buffer_destroy(resident->device, resident->codes);
    nc_gpu_buffer_destroy(resident->device, resident->scales);
    nc__free(NULL, resident, sizeof *resident);
}

/* Buffers and program for n vectors. */
static nc_status nc_fp4__gpu_record(nc_fp4_gpu_tensor *t, size_t n) {
    const uint32_t together = n > 1 ? 4 : 1; /* vectors of a group */
    nc_gpu_buffer *buffers[4];
    nc_gpu_job job;
    nc_status status;
    nc_fp4__gpu_release(t);
    if (n > 4 * 65535 || (uint64_t)n * t->push.columns >> 32 || (uint64_t)n * t->push.rows >> 32)
        return NC_ERR_LIMIT;
    t->push.vectors = (uint32_t)n;
    nc_gpu_job_start(&job, t->device);
    job.status =
        nc_gpu_buffer_create(t->device, nc__mul_size(n, (size_t)t->push.columns * 4), &t->x);
    if (job.status == NC_OK)
        job.status =
            nc_gpu_buffer_create(t->device, nc__mul_size(n, (size_t)t->push.rows * 4), &t->y);
    buffers[0] = t->codes;
    buffers[1] = t->scales;
    buffers[2] = t->x;
    buffers[3] = t->y;
    nc_gpu_job_dispatch(&job, together > 1 ? "fp4_matmul_4" : "fp4_matmul", buffers, 4, &t->push,
                        sizeof t->push, (t->push.rows + NC_FP4__GPU_ROWS - 1) / NC_FP4__GPU_ROWS,
                        (n + together - 1) / together, 1);
    status = nc_gpu_job_record(&job, &t->program);
    if (status != NC_OK) nc_fp4__gpu_release(t);
    return status;
}

NC_API nc_status nc_fp4_gpu_tensor_matmul(nc_fp4_gpu_tensor *resident, const float *x, size_t n,
                                          float *y) {
    nc_fp4_gpu_tensor *t = resident;
    nc_status status = NC_OK;
    if (!t || (n && (!x || !y))) return NC_ERR_ARG;
    if (n == 0) return NC_OK;
    if (!t->program || t->push.vectors != n) status = nc_fp4__gpu_record(t, n);
    if (status == NC_OK)
        status = nc_gpu_upload(t->device, t->x, 0, x, n * t->push.columns * sizeof *x);
    if (status == NC_OK)
        status =
            nc_gpu_run_download(t->device, t->program, t->y, 0, y, n * t->push.rows * sizeof *y);
    return status;
}

/* Buffers and program for a vector of bytes, which the kernel takes in spans of 512. */
static nc_status nc_fp4__gpu_record_bytes(nc_fp4_gpu_tensor *t, size_t x_bytes) {
    nc_gpu_buffer *buffers[4];
    nc_gpu_job job;
    uint32_t push[4];
    push[0] = t->push.rows;
    push[1] = t->push.parts;
    push[2] = t->push.halves;
    push[3] = t->bytes.blocks;
    nc_gpu_job_start(&job, t->device);
    if (!t->bytes.x) job.status = nc_gpu_buffer_create(t->device, x_bytes, &t->bytes.x);
    if (job.status == NC_OK && !t->bytes.y)
        job.status = nc_gpu_buffer_create(t->device, (size_t)t->push.rows * 4, &t->bytes.y);
    buffers[0] = t->codes;
    buffers[1] = t->scales;
    buffers[2] = t->bytes.x;
    buffers[3] = t->bytes.y;
    nc_gpu_job_dispatch(&job, "fp4_matvec_i8", buffers, 4, push, sizeof push,
                        (t->push.rows + NC_FP4__GPU_ROWS - 1) / NC_FP4__GPU_ROWS, 1, 1);
    return nc_gpu_job_record(&job, &t->bytes.program);
}

NC_API nc_status nc_fp4_gpu_tensor_matvec_i8(nc_fp4_gpu_tensor *resident, const int8_t *x,
                                             float x_scale, float *y) {
    nc_fp4_gpu_tensor *t = resident;
    nc_status status = NC_OK;
    size_t bytes;
    uint8_t *padded;
    uint32_t r;
    if (!t || !x || !y) return NC_ERR_ARG;
    if (!t->bytes.blocks) return NC_ERR_UNSUPPORTED;
    bytes = ((size_t)t->push.columns + 511) / 512 * 512;
    if (!t->bytes.program) status = nc_fp4__gpu_record_bytes(t, bytes);
    if (status != NC_OK) return status;
    padded = (uint8_t *)nc__calloc(NULL, bytes);
    if (!padded) return NC_ERR_MEMORY;
    memcpy(padded, x, t->push.columns);
    status = nc_gpu_upload(t->device, t->bytes.x, 0, padded, bytes);
    nc__free(NULL, padded, bytes);
    if (status == NC_OK) status = nc_gpu_run(t->device, t->bytes.program, NULL);
    if (status == NC_OK)
        status = nc_gpu_download(t->device, t->bytes.y, 0, y, t->push.rows * sizeof *y);
    for (r = 0; r < t->push.rows && status == NC_OK; r++) y[r] *= x_scale;
    return status;
}

NC_API nc_status nc_fp4_gpu_matmul(nc_fp4_gpu *gpu, const nc_fp4_tensor *tensor, const float *x,
                                   size_t n, float *y) {
    nc_fp4_gpu_tensor *resident;
    nc_status status = nc_fp4_gpu_tensor_create(&resident, gpu, tensor);
    if (status == NC_OK) status = nc_fp4_gpu_tensor_matmul(resident, x, n, y);
    nc_fp4_gpu_tensor_destroy(resident);
    return status;
}

/* -- circuits -- */

/* Words of a step as the kernel takes it: operands of the result and of a, b, c, and masks for the
 * terms 1, a, b, ab, c, ac, bc, abc of the truth table's algebraic normal form. */
enum { NC_FP4__GPU_STEP = 12 };

static void nc_fp4__gpu_step(const nc_fp4__step *step, uint32_t *to) {
    uint32_t terms = step->truth, i;
    to[0] = step->out;
    for (i = 0; i < 3; i++) to[1 + i] = step->in[i];
    terms ^= (terms & 0x55) << 1;
    terms ^= (terms & 0x33) << 2;
    terms ^= (terms & 0x0F) << 4;
    for (i = 0; i < 8; i++) to[4 + i] = terms >> i & 1 ? UINT32_MAX : 0;
}

NC_API nc_status nc_fp4_gpu_eval_sliced(nc_fp4_gpu *gpu, const nc_fp4_network *network,
                                        const uint64_t *in, uint64_t *out, size_t words) {
    const uint32_t outputs = network ? nc_fp4_network_outputs(network) : 0;
    nc_gpu_buffer *wires;
    nc_gpu_job job;
    uint32_t push[3], *steps;
    size_t i, count, bytes, line = words * sizeof *in;
    if (!gpu || !network || (!in && network->inputs) || (!out && outputs)) return NC_ERR_ARG;
    if (words == 0 || outputs == 0) return NC_OK;
    count = network->steps.count;
    if (words >> 26 || count > UINT32_MAX / NC_FP4__GPU_STEP ||
        ((uint64_t)network->inputs + outputs + network->temporaries) * 2 * words >> 32)
        return NC_ERR_LIMIT; /* the kernel counts words in 32 bits */
    bytes = nc__mul_size(count, NC_FP4__GPU_STEP * sizeof *steps);
    steps = (uint32_t *)nc__alloc(NULL, bytes);
    if (!steps) return NC_ERR_MEMORY;
    for (i = 0; i < count; i++)
        nc_fp4__gpu_step(&network->steps.at[i], steps + i * NC_FP4__GPU_STEP);
    push[0] = (uint32_t)count;
    push[1] = (uint32_t)(2 * words);
    push[2] = network->inputs + outputs;
    nc_gpu_job_start(&job, gpu->device);
    (void)nc_gpu_job_buffer(&job, steps, bytes, bytes);
    wires = nc_gpu_job_buffer(
        &job, in, network->inputs * line,
        nc__mul_size((size_t)network->inputs + outputs + network->temporaries, line));
    nc_gpu_job_dispatch(&job, "fp4_circuit", NULL, 2, push, sizeof push, (2 * words + 63) / 64, 1,
                        1);
    nc__free(NULL, steps, bytes);
    return nc_gpu_job_finish(&job, wires, network->inputs * line, out, outputs * line);
}
#endif /* NC_GPU */

#if defined(NC_FP4__X86) && !defined(__clang__)
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
