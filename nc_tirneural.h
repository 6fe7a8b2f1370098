/* nc_tirneural.h - speculative, provably safe optimiser from TIR to TASM (Triton VM)
   version 0.1.0 - MIT or public domain, see the end of the file

   Copy this file and nc_goldilocks.h into your project, together with stb_ds.h (Debian:
   libstb-dev, or any copy beside this file). In ONE C or C++ file:

       #define NC_IMPLEMENTATION
       #include "nc_tirneural.h"

   Compile with: cc -O2 file.c -lm -pthread
   and -fopenmp lets nc_tir_evolution_run use all cores. With NC_GPU nc_gpu.h stands beside this
   file (it wants -ldl where dlopen is not in the C library, glibc before 2.34), the built kernel
   tir_forward (`make kernels`: tir_forward.spv, tir_forward_u32.spv from shaders/ and
   tir_forward.ptx from cuda/) where nc_gpu_desc says.

   Quick example:

       #include <stdio.h>
       #include <string.h>
       #define NC_IMPLEMENTATION
       #include "nc_tirneural.h"
       int main(void) {
           const char *tir = "fn_start minus_three\npush 3\nsub\nreturn\nfn_end\n";
           nc_tir_program *program;
           nc_tir_report report;
           nc_error err;
           char *tasm;
           if (nc_tir_parse(&program, tir, strlen(tir), &err) != NC_OK) return 1;
           if (nc_tir_optimize(program, NULL, &tasm, &report, &err) != NC_OK) return 1;
           printf("%s%u instructions instead of %u, every change proven\n", tasm,
                  (unsigned)report.instructions_after, (unsigned)report.instructions_before);
           nc_tir_free_text(tasm);
           nc_tir_destroy(program);
           return 0;
       }

   Contents (search for the tag):
     >>types     TIR operations, heights, executions, reports
     >>api       all functions, in the order of the sections below
     >>programs  TIR as a tree, from a builder or from text
     >>peephole  the compiler's clean-up before lowering
     >>lowering  TIR to TASM
     >>tasm      the instructions, TASM text, its rows in the static model
     >>machine   the Triton VM interpreter and its table heights
     >>proofs    equivalence of straight-line code
     >>blocks    straight-line code as field elements
     >>network   weights, and what they make of a block
     >>optimizer search, proof, replacement
     >>training  imitation of a wide search, then evolution
     >>trainer   evolution on a thread, between compilations
     >>gpu       the network on Vulkan and CUDA devices, with NC_GPU
     >>changelog

   Options, defined before including:
     NC_API, NC_STATIC                 how functions are declared; NC_STATIC: all static
     NC_MALLOC, NC_REALLOC, NC_FREE    all memory of this header goes through these
     NC_NO_STDIO                       no files: weights are read from memory only
     NC_MAX_FILE_BYTES                 larger files are refused, not read
     NC_NO_SIMD                        portable C only, here and in nc_goldilocks.h
     NC_STB_DS_EXTERNAL                another file compiles STB_DS_IMPLEMENTATION
     NC_GOLDILOCKS_EXTERNAL            another file compiles nc_goldilocks.h
     NC_GPU                            also the GPU functions
     NC_TIR_NO_THREADS                 no background training (which needs POSIX threads)

   The classical lowering always runs. A block of its output is replaced only by a sequence that
   is proven to leave the same stack, the same effects in the same order and the same crash
   conditions, and that is cheaper and in no table more expensive. What cannot be proven stays
   as it was. A network may guide the search (examples/data/tir_weights.bin, or your own from
   examples/tir_train.c): it changes which code is found, never whether it is right.

   With sample inputs (nc_tir_options.samples) the aim is the machine's own: all its tables are
   padded to one power of two, so that a row less in the tallest may halve the cost and any other
   row is free. The program runs on them, and rows are traded between tables until it pads lower.

   TIR as text, which nc_tir_parse reads and nc_tir_write writes: an operation a line, with blanks
   between words and around them at will, and empty lines. ( .. )* stands for any number of lines,
   what is in brackets may be missing:

     program:    ( operation )*       with fn_start and fn_end in pairs, none within another
     operation:  fn_start NAME        to: fn_end
                 entry NAME, call NAME
                 if_else ( operation )* [ else ( operation )* ] end
                 if_only ( operation )* end
                 loop NAME ( operation )* end
                 proof_block NAME ( operation )* end
                 asm EFFECT           then lines of TASM as they stand, to a line: end
                 comment              and the rest of the line
                 push VALUE
                 dup N, swap N, pop N, assert N, hash N, hint N, read_io N, write_io N,
                 read_mem N, write_mem N, ram_read N, ram_write N
                 reveal NAME TAG N, seal NAME TAG N       N fields of an event
                 target_call NAME TAKES N                 and the N words it gives
                 entry_parameters     and types with a blank between: field, bool, u32
                 return, halt, add, sub, mul, neg, invert, eq, lt, and, or, xor, pop_count, split,
                 div_mod, shl, shr, log2, pow, sponge_init, sponge_absorb, sponge_squeeze,
                 sponge_load, merkle_step, merkle_load, ext_mul, ext_invert, fold_ext, fold_base
     NAME:       1 to 120 printable characters of ASCII, none a blank
     N:          0 to 65,535
     VALUE, TAG, TAKES: below 2^64; a VALUE is taken modulo p
     EFFECT:     what the lines add to the stack, with a minus where they take: -2^63 to 2^63 - 1

   To add a TIR operation: its row in NC_TIR_KINDS; what it does in tests/tir_io.c, or for the
   newest compiler in tests/tir_trisha.c. One that is more than a sequence of instructions: its case
   in nc_tir__lower_structure or nc_tir__lower_trisha too.
   To add an instruction of TASM: its row at the end of NC_TIR__INSTRUCTIONS; what it does to the
   machine in the nc_tir__step_* that the row names, and in tests/tir_machine.c. The prover takes
   its results for opaque functions of its operands until nc_tir__value_of says more.
   tests/tir_io.c and tests/tir_model.c try every row of both lists.

   Exact, unless a comment below says otherwise: text, rows, words and verdicts follow from their
   input alone and are the same on every machine; the network is fixed-point arithmetic in the
   field, the same bits on every machine and device. Only the imitation of a search
   (nc_tir_imitate) computes in float32.

   No function keeps state between calls. One object belongs to one thread at a time; different ones
   do not meet. */

#ifndef NC_TIRNEURAL_H
#define NC_TIRNEURAL_H

/* The release that this file is of, as text and as numbers for #if; the same in every nc_*.h. */
#define NC_TIR_VERSION "0.1.0"
#define NC_TIR_VERSION_MAJOR 0
#define NC_TIR_VERSION_MINOR 1
#define NC_TIR_VERSION_PATCH 0

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

#include "nc_goldilocks.h"

/* >>types ========================================================================== */

/* The operations of TIR in the compiler's order: structure, universal, provable, recursion; then
 * the two that its newest version has beside them. A row:
 *   X(NAME, text, ARGUMENT, bodies, least, most, trident, triton, trisha)
 * NC_TIR_NAME of nc_tir_kind, and its name in text. ARGUMENT follows it there: NONE; COUNT and
 * INDEX, `value` from least to most; VALUE, any `value`, of which the field has the rest modulo p;
 * NAME, `text`; LINE, `text` to the end of the line; EVENT, `text`, a tag (`value`) and a number of
 * `fields`, or of a call the words it takes and gives; ASM, a declared stack effect (`value`, two's
 * complement), then lines (`text`); LEAVES, the types of main's parameters in `text`: field, bool,
 * u32, a blank between two. bodies: how many it owns. The TASM it becomes for a target, 0: as for
 * trident: instructions, # for `value`; + before one that is written for each of the `fields`, -
 * for each of the 9 - `fields` that are missing; ~ before a new order of the upper elements, the
 * deepest first, each by its old place; "" where nc_tir_lower has more to do. */
/* clang-format off */
#define NC_TIR_KINDS(X)                                                                            \
    X(CALL,            "call",           NAME,  0, 0, 0, "", 0, 0)                                 \
    X(RETURN,          "return",         NONE,  0, 0, 0, "return", 0, 0)                           \
    X(HALT,            "halt",           NONE,  0, 0, 0, "halt", 0, 0)                             \
    X(IF_ELSE,         "if_else",        NONE,  2, 0, 0, "", 0, 0)                                 \
    X(IF_ONLY,         "if_only",        NONE,  1, 0, 0, "", 0, 0)                                 \
    X(LOOP,            "loop",           NAME,  1, 0, 0, "", 0, 0)                                 \
    X(FN_START,        "fn_start",       NAME,  0, 0, 0, "", 0, 0)                                 \
    X(FN_END,          "fn_end",         NONE,  0, 0, 0, "", 0, 0)                                 \
    X(ENTRY,           "entry",          NAME,  0, 0, 0, "", 0, 0)                                 \
    X(COMMENT,         "comment",        LINE,  0, 0, 0, "", 0, 0)                                 \
    X(ASM,             "asm",            ASM,   0, 0, 0, "", 0, 0)                                 \
    X(PUSH,            "push",           VALUE, 0, 0, 0, "push #", 0, 0)                           \
    X(POP,             "pop",            COUNT, 0, 0, 65535, "pop #", 0, 0)                        \
    X(DUP,             "dup",            INDEX, 0, 0, 65535, "dup #", 0, "")                       \
    X(SWAP,            "swap",           INDEX, 0, 0, 65535, "swap #", 0, "")                      \
    X(ADD,             "add",            NONE,  0, 0, 0, "add", 0, 0)                              \
    X(SUB,             "sub",            NONE,  0, 0, 0, "push -1, mul, add", 0, 0)                \
    X(MUL,             "mul",            NONE,  0, 0, 0, "mul", 0, 0)                              \
    X(NEG,             "neg",            NONE,  0, 0, 0, "push -1, mul", 0, 0)                     \
    X(INVERT,          "invert",         NONE,  0, 0, 0, "invert", 0, 0)                           \
    X(EQ,              "eq",             NONE,  0, 0, 0, "eq", 0, 0)                               \
    X(LT,              "lt",             NONE,  0, 0, 0, "lt", 0, 0)                               \
    X(AND,             "and",            NONE,  0, 0, 0, "and", 0, 0)                              \
    X(OR,              "or",             NONE,  0, 0, 0, "or",                                     \
      "dup 1, dup 1, and, push -1, mul, add, add", 0)                                              \
    X(XOR,             "xor",            NONE,  0, 0, 0, "xor", 0, 0)                              \
    X(POP_COUNT,       "pop_count",      NONE,  0, 0, 0, "pop_count", 0, 0)                        \
    X(SPLIT,           "split",          NONE,  0, 0, 0, "split", 0, 0)                            \
    X(DIV_MOD,         "div_mod",        NONE,  0, 0, 0, "div_mod", 0, 0)                          \
    X(SHL,             "shl",            NONE,  0, 0, 0, "push 2, pow, mul", 0, 0)                 \
    X(SHR,             "shr",            NONE,  0, 0, 0, "push 2, pow, div_mod, swap 1, pop 1", 0, \
      "push 2, pow, swap 1, div_mod, pop 1")                                                       \
    X(LOG2,            "log2",           NONE,  0, 0, 0, "log_2_floor", 0, 0)                      \
    X(POW,             "pow",            NONE,  0, 0, 0, "pow", 0, "swap 1, pow")                  \
    X(READ_IO,         "read_io",        COUNT, 0, 0, 65535, "read_io #", 0, 0)                    \
    X(WRITE_IO,        "write_io",       COUNT, 0, 0, 65535, "write_io #", 0, 0)                   \
    X(READ_MEM,        "read_mem",       COUNT, 0, 0, 65535, "read_mem #", 0, 0)                   \
    X(WRITE_MEM,       "write_mem",      COUNT, 0, 0, 65535, "write_mem #", 0, 0)                  \
    X(ASSERT,          "assert",         COUNT, 0, 0, 65535, "", 0, 0)                             \
    X(HASH,            "hash",           COUNT, 0, 0, 65535, "hash", 0,                            \
      "~9876543210, hash, ~43210")                                                                 \
    X(REVEAL,          "reveal",         EVENT, 0, 0, 0, "push #, write_io 1, +write_io 1", 0, "") \
    X(SEAL,            "seal",           EVENT, 0, 0, 0, "-push 0, push #, hash, write_io 5", 0,   \
      "")                                                                                          \
    X(RAM_READ,        "ram_read",       COUNT, 0, 0, 65535, "read_mem #, pop 1", 0, "")           \
    X(RAM_WRITE,       "ram_write",      COUNT, 0, 0, 65535, "write_mem #, pop 1", 0, "")          \
    X(HINT,            "hint",           COUNT, 0, 0, 65535, "divine #", 0, 0)                     \
    X(SPONGE_INIT,     "sponge_init",    NONE,  0, 0, 0, "sponge_init", 0, 0)                      \
    X(SPONGE_ABSORB,   "sponge_absorb",  NONE,  0, 0, 0, "sponge_absorb", 0,                       \
      "~9876543210, sponge_absorb")                                                                \
    X(SPONGE_SQUEEZE,  "sponge_squeeze", NONE,  0, 0, 0, "sponge_squeeze", 0,                      \
      "sponge_squeeze, ~9876543210")                                                               \
    X(SPONGE_LOAD,     "sponge_load",    NONE,  0, 0, 0, "sponge_absorb_mem", 0,                   \
      "push 0, push 0, push 0, push 0, swap 4, sponge_absorb_mem, pop 5")                          \
    X(MERKLE_STEP,     "merkle_step",    NONE,  0, 0, 0, "merkle_step", 0,                         \
      "~43210, merkle_step, ~43210")                                                               \
    X(MERKLE_LOAD,     "merkle_load",    NONE,  0, 0, 0, "merkle_step_mem", 0,                     \
      "push 0, ~67054321, merkle_step_mem, ~27654301, pop 1")                                      \
    X(EXT_MUL,         "ext_mul",        NONE,  0, 0, 0, "xb_mul", 0, 0)                           \
    X(EXT_INVERT,      "ext_invert",     NONE,  0, 0, 0, "x_invert", 0,                            \
      "swap 2, x_invert, swap 2")                                                                  \
    X(FOLD_EXT,        "fold_ext",       NONE,  0, 0, 0, "xx_dot_step", 0,                         \
      "swap 2, swap 4, swap 2, xx_dot_step, swap 2, swap 4, swap 2")                               \
    X(FOLD_BASE,       "fold_base",      NONE,  0, 0, 0, "xb_dot_step", 0,                         \
      "swap 2, swap 4, swap 2, xb_dot_step, swap 2, swap 4, swap 2")                               \
    X(PROOF_BLOCK,     "proof_block",    NAME,  1, 0, 0, "", 0, 0)                                 \
    X(TARGET_CALL,     "target_call",    EVENT, 0, 0, 0, "", 0, 0)                                 \
    X(ENTRY_PARAMETERS, "entry_parameters", LEAVES, 0, 0, 0, "", 0, 0)

typedef enum nc_tir_kind {
#define NC_TIR__KIND(NAME, text, ARGUMENT, bodies, least, most, trident, triton, trisha)           \
    NC_TIR_##NAME,
    NC_TIR_KINDS(NC_TIR__KIND)
#undef NC_TIR__KIND
    NC_TIR_KIND_COUNT
} nc_tir_kind;
/* clang-format on */

/* One operation as the builder takes it; NC_TIR_KINDS says which members its kind uses. The text of
 * a name has 1 to 120 printable characters without blanks, that of a comment is one line of less
 * than 4,096, that of asm any lines of less than 65,536 in all, each ended by a newline and none
 * `end` alone. Asm that ends with skiz would skip the first instruction of the operation behind it,
 * which may become several or be one with the next: put what may be skipped into the asm too. */
typedef struct nc_tir_op {
    nc_tir_kind kind;
    uint32_t fields; /* 0 to 65,535 */
    uint64_t value;
    const char *text;
} nc_tir_op;

/* A TIR program: a tree of operations. */
typedef struct nc_tir_program nc_tir_program;

/* Which machine code is for. The releases 2.0.0 to 9.0.1 of Triton VM have one instruction set. Its
 * main branch has b_horner_step and x_horner_step under the opcodes that xx_dot_step and
 * xb_dot_step have in all releases, so that words and digests depend on the machine. */
typedef enum nc_tir_target {
    NC_TIR_TARGET_TRIDENT = 0,     /* what the compiler emits, byte for byte; runs on the release */
    NC_TIR_TARGET_TRITON = 1,      /* instructions of the released Triton VM only */
    NC_TIR_TARGET_TRITON_MAIN = 2, /* of its main branch only */
    NC_TIR_TARGET_TRISHA = 3       /* what the newest compiler emits, byte for byte */
} nc_tir_target;

/* Rows of the six tables in the compiler's static model. */
typedef struct nc_tir_heights {
    uint64_t processor, hash, u32, op_stack, ram, jump_stack;
} nc_tir_heights;

/* What a program reads while it runs, field elements below p. Arrays may be null when their count
 * is 0. RAM cells that nobody set are 0. */
typedef struct nc_tir_input {
    const nc_gl *public_input;
    const nc_gl *secret_input;
    const nc_gl *secret_digests; /* 5 elements each */
    const nc_gl *ram;            /* pairs of address and value */
    size_t public_count, secret_count, digest_count, ram_count;
    uint64_t max_cycles;   /* 0: 2^24 */
    nc_tir_target machine; /* NC_TIR_TARGET_TRITON_MAIN, or else the released one */
    uint32_t reserved;
} nc_tir_input;

typedef enum nc_tir_outcome {
    NC_TIR_HALTED = 0,
    NC_TIR_CRASH_STACK,  /* fewer than 16 elements would remain */
    NC_TIR_CRASH_ASSERT, /* assert, assert_vector */
    NC_TIR_CRASH_U32,    /* an operand of a u32 operation is 2^32 or more */
    NC_TIR_CRASH_ZERO,   /* inverse of 0, logarithm of 0, division by 0 */
    NC_TIR_CRASH_INPUT,  /* public input, secret input or secret digests exhausted */
    NC_TIR_CRASH_JUMP,   /* jump stack empty, or execution ran past the end */
    NC_TIR_CRASH_SPONGE, /* sponge not initialised */
    NC_TIR_CRASH_CYCLES  /* max_cycles reached */
} nc_tir_outcome;

/* Result of a run, with the heights of the real machine's tables. */
typedef struct nc_tir_execution {
    nc_tir_outcome outcome;
    char error_id[44]; /* in decimal, of the assertion that failed; empty where it has none */
    nc_gl stack[16];   /* stack[0] = st0, the top */
    uint64_t depth;    /* elements on the operational stack */
    nc_gl *output;     /* nc_tir_free_output */
    size_t output_count;
    uint64_t program, processor, op_stack, ram, jump_stack, hash, cascade, lookup, u32;
    uint64_t padded_height;
} nc_tir_execution;

typedef enum nc_tir_verdict {
    NC_TIR_PROVEN = 0,
    NC_TIR_DIFFERENT_STACK,   /* final stacks not shown equal */
    NC_TIR_DIFFERENT_EFFECTS, /* output, reads, memory or sponge */
    NC_TIR_DIFFERENT_CRASHES, /* crash conditions */
    NC_TIR_NOT_STRAIGHT,      /* a jump, label or unknown instruction in a block */
    NC_TIR_TOO_LARGE          /* beyond the prover's tables */
} nc_tir_verdict;

/* A block as field elements: 32 nodes of 4 words (head: opcode plus 1 in 6 bits, type in 3, makers
 * of the upper two operands in 5 each; first and last instruction of its life, 32 when it lives
 * on; immediate), then a word for each of st0 .. st15 at the start (bit 0: used as a u32; from bit
 * 3: one more than the node that last reads it, or 0). */
#define NC_TIR_BLOCK_NODES 32
#define NC_TIR_BLOCK_WORDS 144

/* The network: weights of the encoder, the decoder and their embeddings, in fixed point. */
typedef struct nc_tir_model nc_tir_model;

/* Why a block is shorter. */
typedef enum nc_tir_reason {
    NC_TIR_REASON_NONE = 0,  /* it is as it was */
    NC_TIR_REASON_STACK = 1, /* fewer stack instructions do */
    NC_TIR_REASON_TABLE = 2  /* it has fewer rows in the hash, u32 or RAM table too */
} nc_tir_reason;

/* Rows of the real machine's nine tables in a run, in the order of nc_tir_tallest_run. */
typedef struct nc_tir_tables {
    uint64_t processor, program, op_stack, ram, jump_stack, hash, cascade, lookup, u32;
} nc_tir_tables;

/* Whose tables the cliff is of. */
typedef enum nc_tir_aim {
    NC_TIR_AIM_MACHINE = 0, /* the real machine's nine, measured */
    NC_TIR_AIM_MODEL = 1, /* the compiler's six: static rows, as often as they run; the others 0 */
    NC_TIR_AIM_CYCLES = 2 /* the processor's rows alone: no other table pays for a cycle */
} nc_tir_aim;

/* How rows are traded between tables. A row: X(NAME, text). */
#define NC_TIR_TRADES(X)                                                                           \
    X(INLINE, "inline")     /* a call becomes the body of what it calls */                         \
    X(OUTLINE, "outline")   /* code that stands several times becomes a function */                \
    X(LOOP, "loop")         /* a loop tests its counter at the end */                              \
    X(UNROLL, "unroll")     /* of a loop whose count is known, several rounds or all at once */    \
    X(TAIL, "tail")         /* a call before a return falls into what it calls */                  \
    X(SCHEDULE, "schedule") /* copies and pops become moves */                                     \
    X(U32, "u32")           /* arithmetic for bit operations, or the entries of others */          \
    X(SPONGE, "sponge")     /* absorbed from RAM without a way over the stack */
typedef enum nc_tir_trade {
#define NC_TIR__TRADE(NAME, text) NC_TIR_TRADE_##NAME,
    NC_TIR_TRADES(NC_TIR__TRADE)
#undef NC_TIR__TRADE
        NC_TIR_TRADE_COUNT
} nc_tir_trade;

/* Why the trading ended. */
typedef enum nc_tir_stop {
    NC_TIR_STOP_NONE = 0,   /* there were no samples: nothing was traded */
    NC_TIR_STOP_BELOW,      /* the padded height has fallen, and no trade lets it fall again */
    NC_TIR_STOP_BOUND,      /* a table's bound lies above the cliff below */
    NC_TIR_STOP_CANDIDATES, /* no trade leads below the cliff */
    NC_TIR_STOP_EFFORT      /* the effort was spent */
} nc_tir_stop;

/* The worst sample's tables: of the code as it was given, with the fewest instructions, and after
 * the trades. */
typedef struct nc_tir_cliff {
    nc_tir_tables before, fewest, after;
    nc_tir_tables bound; /* optimistic: rows that no order of the blocks' operations can avoid,
                            where a loop whose count is known may take one round for several */
    uint32_t trades[NC_TIR_TRADE_COUNT]; /* how many of each were kept */
    nc_tir_stop stop;
    uint32_t runs; /* programs measured */
} nc_tir_cliff;

/* One straight-line block as the optimiser met it. */
typedef struct nc_tir_block {
    uint32_t instruction; /* of its first instruction in the lowered code, counted from 0 */
    uint32_t before, after;
    float bound; /* optimistic: operations, copies and pops that no order of them can avoid */
    nc_tir_reason reason;
} nc_tir_block;

/* Zero means default. */
typedef struct nc_tir_options {
    nc_tir_target target;      /* of nc_tir_optimize and nc_tir_optimize_text */
    uint32_t beam;             /* states kept per step, at most 65,536; 0: 32. With a network that
                             is an average, and four steps' states come on top: more are kept where
                             it is unsure, at most double and four more, and fewer elsewhere */
    uint32_t block;            /* instructions searched as one block, at most 64; 0: 32, which the
                             network sees */
    const nc_tir_model *model; /* guides the search; null: no network */
    uint32_t guide;            /* weight of its log-probability, in 1/64 instruction, at most 4,096;
                                  0: 32 */
    uint32_t whole;          /* 1: a whole program that nothing calls into: functions may go too */
    nc_progress_fn progress; /* called before each block with instructions done and in all; then,
                                where rows are traded, with the effort spent and allowed, in steps
                                of the machine */
    void *progress_user;
    void (*on_block)(void *user, const nc_tir_block *block); /* called after each block; or null */
    void *on_block_user;
    const nc_tir_input *samples; /* inputs on which a whole program halts: rows are traded between
                                  tables until it pads lower; null: the fewest instructions */
    size_t sample_count;
    nc_tir_aim aim;  /* with samples */
    uint32_t effort; /* of the trading, in 2^20 steps of the machine; 0: 64 */
} nc_tir_options;

typedef struct nc_tir_report {
    uint32_t blocks;              /* straight-line blocks seen */
    uint32_t slack;               /* of them, longer than their optimistic bound */
    uint32_t improved;            /* replaced by something proven and cheaper */
    uint32_t proofs;              /* equivalence proofs that succeeded */
    uint32_t rejected;            /* candidates the gate turned down */
    uint64_t expanded;            /* states the searches looked at */
    uint32_t instructions_before; /* TASM instructions */
    uint32_t instructions_after;
    double bound;                 /* optimistic bound of the instructions, block by block */
    nc_tir_heights before, after; /* static model, whole program */
    uint32_t hints;               /* hints and breaks in the text */
    uint32_t hints_dropped; /* of them, on code that is gone or on values that are never there */
    nc_tir_cliff cliff;     /* with samples */
} nc_tir_report;

/* Zero means default. */
typedef struct nc_tir_imitation {
    uint32_t epochs; /* over the training set; 0: 3 */
    uint32_t beam;   /* of the search that is imitated, at most 65,536; 0: 64 */
    float rate;      /* of AdamW at the start, at most 1; 0: 0.001 */
    uint32_t whole;  /* of the texts, so many at the end are learned from in blocks of 32 only, the
                        others in pieces that overlap too */
    uint32_t
        guided;    /* 1: the model guides the search that is imitated, as it is at the start; so it
                        meets the states where it goes wrong (a second round, after one without) */
    uint64_t seed; /* of the order of blocks */
    nc_progress_fn progress; /* files searched, then epochs done */
    void *user;
} nc_tir_imitation;

/* The training set of imitation: pieces of code, states with all their moves; mean cross entropy
 * and share of levels with a move to a shortest end ranked first, in the last epoch. */
typedef struct nc_tir_imitation_report {
    uint32_t blocks, samples;
    double loss, accuracy;
} nc_tir_imitation_report;

/* 16 weight vectors and the blocks they are scored on. */
typedef struct nc_tir_evolution nc_tir_evolution;
/* Weights that get better between compilations. */
typedef struct nc_tir_trainer nc_tir_trainer;
/* The network's kernel on a device; with NC_GPU. */
typedef struct nc_tir_gpu nc_tir_gpu;

/* >>api ============================================================================ */

/* -- programs: TIR as a tree, from a builder or from text ---------------------------------- */

/* An empty program; free with nc_tir_destroy. */
NC_API nc_status nc_tir_create(nc_tir_program **program);
/* Release; null is fine. */
NC_API void nc_tir_destroy(nc_tir_program *program);
/* Append an operation. if_else, if_only, loop and proof_block open a body that nc_tir_else and
 * nc_tir_end continue. Text is copied. NC_ERR_ARG for a value or text out of its range,
 * NC_ERR_LIMIT beyond 2^20 operations or 64 open bodies. */
NC_API nc_status nc_tir_append(nc_tir_program *program, const nc_tir_op *op);
/* Start the else branch of the innermost open if_else. NC_ERR_ARG when there is none. */
NC_API nc_status nc_tir_else(nc_tir_program *program);
/* Close the innermost open body. NC_ERR_ARG when none is open. */
NC_API nc_status nc_tir_end(nc_tir_program *program);
/* Number of operations, nested ones included. */
NC_API size_t nc_tir_size(const nc_tir_program *program);
/* Read the text form: one operation a line, bodies closed by `end`. NC_ERR_FORMAT with line and
 * column, of its fn_start for a function without fn_end; NC_ERR_LIMIT as nc_tir_append; *program is
 * null then. exact: nc_tir_write gives the same text again, but for blanks and empty lines. */
NC_API nc_status nc_tir_parse(nc_tir_program **program, const char *text, size_t bytes,
                              nc_error *err);
/* Write the text form; *text ends with a NUL and is freed with nc_tir_free_text. NC_ERR_ARG
 * while a body is open. */
NC_API nc_status nc_tir_write(const nc_tir_program *program, char **text);
/* Free text made by this header, nc_file_read included; null is fine. */
NC_API void nc_tir_free_text(char *text);

/* -- peephole: the compiler's clean-up before lowering --------------------------------------- */

/* The program without what does nothing: pops and hints merged, copies that are dropped, double
 * swaps, chains of `swap 1, pop 1`. These are the compiler's rules that never change the meaning.
 * NC_ERR_ARG while a body is open. */
NC_API nc_status nc_tir_peephole(const nc_tir_program *program, nc_tir_program **result);
/* A compiler's own clean-up before lowering, rule for rule: what nc_tir_lower takes to give what
 * the compiler emits. NC_TIR_TARGET_TRIDENT is the old one, which also makes one swap of a chain of
 * falling `swap, pop`; NC_TIR_TARGET_TRISHA the newest, which merges more than a machine pops at
 * once; NC_ERR_ARG for others, NC_ERR_LIMIT where the old one's pops and hints of five make more
 * than 2^20 operations. Both keep a value that is stored once and loaded once on the stack.
 * These two rules keep the meaning only where the compiler's code generator puts them. exact: all
 * 24 raw modules of the old compiler's corpus become its own results, byte for byte. */
NC_API nc_status nc_tir_peephole_of(const nc_tir_program *program, nc_tir_target compiler,
                                    nc_tir_program **result);

/* -- lowering: TIR to TASM ------------------------------------------------------------------- */

/* The classical lowering, freed with nc_tir_free_text. Values of p and more are reduced but for
 * NC_TIR_TARGET_TRIDENT, where they stand as they are and no machine reads them. For the targets
 * that are machines `push a, add` is `addi a`, `or` is made of instructions that they have, counts
 * beyond 5 are made of several, and NC_ERR_UNSUPPORTED where the program has a dup or swap beyond
 * 15, which the compiler emits but no machine runs.
 * fold_ext and fold_base are one dot step of the release, fifteen instructions on the main branch;
 * their upper pointer, st0, is the one of the base field.
 * For NC_TIR_TARGET_TRISHA dup and swap beyond 15 go through cells of RAM that hold 0, and hold it
 * again afterwards; NC_ERR_UNSUPPORTED for what the newest compiler refuses: a target_call it does
 * not know, an entry that is not alone or stands in a function, entry_parameters that are not right
 * before it, comments that begin with ERROR:, events of more than 16 fields (sealed: 9), ram_read
 * of none or more than 16 cells and ram_write of more than 15. Only this target has target_call and
 * entry_parameters. NC_ERR_LIMIT beyond 64 MiB of text. NC_ERR_ARG while a body is open. exact: for
 * NC_TIR_TARGET_TRIDENT the compiler's output on its corpus, byte for byte; for
 * NC_TIR_TARGET_TRISHA what a second reading of its sources gives, on 900 random programs. */
NC_API nc_status nc_tir_lower(const nc_tir_program *program, nc_tir_target target, char **tasm);

/* -- tasm: TASM text, and its rows in the static model ----------------------------------------- */

/* TASM is read as the machine's own parser reads it (triton-isa 9.0.1): white space of any kind
 * between the words, comments from two slashes to the end of the line or between slash-star and
 * star-slash, labels of letters, digits, _ and - that are no instructions, constants between -p and
 * p, `assert error_id 7`, hints and breaks. Wider than there: an empty comment of two slashes may
 * stand anywhere. Where nothing is run, calls may go to labels that are not in the text, labels may
 * start with @ or __@, instructions may be of any version, and stack indices go up to 255.
 * Narrower: types in hints nest 64 deep. */

/* Number of instructions in TASM text. NC_ERR_FORMAT with line and column, NC_ERR_LIMIT beyond 2^22
 * instructions. */
NC_API nc_status nc_tir_count(const char *tasm, uint32_t *instructions, nc_error *err);
/* Heights of TASM text in the compiler's static model: rows in text order, nothing is run. Errors
 * as of nc_tir_count. */
NC_API nc_status nc_tir_profile_static(const char *tasm, nc_tir_heights *heights, nc_error *err);
/* The largest height and its table's name (null pointer allowed); the cost of the model is the
 * next power of two of it. */
NC_API uint64_t nc_tir_tallest(const nc_tir_heights *heights, const char **table);
/* The power of two that holds `height` rows; 1 for 0. */
NC_API uint64_t nc_tir_padded(uint64_t height);

/* -- machine: the Triton VM interpreter and its table heights -------------------------------- */

/* Run TASM on the interpreter: the released Triton VM, or its main branch (input->machine). NC_OK
 * when it ran, whatever the outcome; NC_ERR_FORMAT with line and column for text that is no
 * program of that machine; NC_ERR_ARG for an input that is no field element, by name and index.
 * input null: nothing to read. Free result->output with nc_tir_free_output. exact: stack,
 * output and all table heights are those of an independent interpreter on 417 programs. */
NC_API nc_status nc_tir_execute(const char *tasm, const nc_tir_input *input,
                                nc_tir_execution *result, nc_error *err);
/* Release result->output. */
NC_API void nc_tir_free_output(nc_tir_execution *result);
/* Text for an outcome. */
NC_API const char *nc_tir_outcome_str(nc_tir_outcome outcome);
/* The tallest table of a run and its name (null pointer allowed); padded_height minus it is the
 * distance to the cliff. */
NC_API uint64_t nc_tir_tallest_run(const nc_tir_execution *run, const char **table);
/* Run TASM on `count` sample inputs; *worst is the run with the largest padded height and, among
 * equals, the tallest table (free its output). NC_ERR_MISMATCH when a run does not halt: *worst is
 * that run. */
NC_API nc_status nc_tir_profile_dynamic(const char *tasm, const nc_tir_input *inputs, size_t count,
                                        nc_tir_execution *worst, nc_error *err);

/* -- proofs: equivalence of straight-line code ----------------------------------------------- */

/* Prove two straight-line TASM sequences equivalent: same stack, same effects in order, same
 * crash conditions, same least stack depth. Sound: NC_TIR_PROVEN is never wrong; other verdicts
 * only say that no proof was found; NC_TIR_TOO_LARGE out of memory too. */
NC_API nc_tir_verdict nc_tir_verify(const char *before, const char *after);
/* Text for a verdict. */
NC_API const char *nc_tir_verdict_str(nc_tir_verdict verdict);

/* -- blocks: straight-line code as field elements -------------------------------------------- */

/* Encode straight-line TASM of at most 32 instructions, without its hints, breaks and error ids.
 * NC_ERR_LIMIT beyond, NC_ERR_FORMAT for labels and jumps. */
NC_API nc_status nc_tir_encode(const char *tasm, nc_gl words[NC_TIR_BLOCK_WORDS], nc_error *err);
/* The TASM of an encoded block, freed with nc_tir_free_text. NC_ERR_FORMAT for words that encode
 * none. exact: it encodes to the same words. */
NC_API nc_status nc_tir_decode(const nc_gl words[NC_TIR_BLOCK_WORDS], char **tasm);

/* -- network: weights, and what they make of a block ----------------------------------------- */

/* 90,816 parameters of encoder and decoder; *embedding (null allowed): what their input embeddings
 * add. */
NC_API size_t nc_tir_model_parameters(size_t *embedding);
/* Random weights from a seed. exact: the same on every machine. */
NC_API nc_status nc_tir_model_create(nc_tir_model **model, uint64_t seed);
/* The same weights again. */
NC_API nc_status nc_tir_model_copy(nc_tir_model **copy, const nc_tir_model *model);
/* Release; null is fine. */
NC_API void nc_tir_model_destroy(nc_tir_model *model);
/* All weights, which belong to the model, and their number (null allowed), in the order of the
 * weights file. Matrices have a row for each input. Two encoder layers: queries, keys, values,
 * output (64 x 64 each), 64 x 128 with its bias, 128 x 64, gain and bias of the layer norm; the
 * decoder: 128 x 128 with its bias, 128 x 64 with its bias; embeddings, 64 each: 185 rows of nodes
 * (a node is the sum of six: opcode; 64 + class; 72 + class of the immediate; 88 + length of life;
 * 121 and 153 + distance to the makers of its operands), 1,070 of states. */
NC_API const nc_fixed *nc_tir_model_weights(const nc_tir_model *model, size_t *count);
/* Poseidon2 digest (trident parameters) of the weights: their identity. */
NC_API void nc_tir_model_digest(const nc_tir_model *model, nc_gl digest[4]);
/* A weights file in memory. NC_ERR_FORMAT, also for a weight of 8 or more; NC_ERR_UNSUPPORTED for
 * another version, NC_ERR_MISMATCH for another network or weights that their digest does not match.
 */
NC_API nc_status nc_tir_model_read(nc_tir_model **model, const void *data, size_t bytes,
                                   nc_error *err);
#ifndef NC_NO_STDIO
/* The same from a file; NC_ERR_IO too. */
NC_API nc_status nc_tir_model_load(nc_tir_model **model, const char *path, nc_error *err);
/* Write the weights file, atomically (nc_file_write). */
NC_API nc_status nc_tir_model_save(const nc_tir_model *model, const char *path, nc_error *err);
#endif
/* Encoder: latents (blocks x 32 x 64) of `blocks` encoded blocks; rows beyond a block's nodes are
 * 0. The search does not read them: one pass costs more than a search of narrow width, and
 * imitation leaves the encoder's weights as they were (in the shipped file, random). NC_ERR_FORMAT
 * for words that encode no block. exact: the same bits on every machine. */
NC_API nc_status nc_tir_model_forward(const nc_tir_model *model, const nc_gl *words, size_t blocks,
                                      nc_fixed *latents);

/* -- optimizer: search, proof, replacement --------------------------------------------------- */

/* Lower and replace blocks by cheaper proven ones. Deterministic; the result is never costlier
 * than nc_tir_lower in any table of the static model. Unless options->whole, each function that
 * other code may call keeps its label and a block of its own behind it, for linkers that take a
 * function for the lines up to the next label; that block may be a call of an equal function, where
 * it is no slower than nc_tir_lower's. options and report may be null; an error leaves the report
 * as it was. Errors: NC_ERR_CANCELLED by the progress callback, NC_ERR_FORMAT for asm that is not
 * TASM and, for NC_TIR_TARGET_TRIDENT, a value of p or more; NC_ERR_ARG, NC_ERR_UNSUPPORTED and
 * NC_ERR_LIMIT as nc_tir_lower. Free *tasm with nc_tir_free_text. exact: the same text on
 * every machine.
 * With options->samples the program is run on them, and the aim is not the fewest instructions but,
 * in this order, the least padded height, the fewest rows above the cliff below it, the lowest
 * tallest table, the fewest rows in all, of the worst sample; never more than nc_tir_lower by that
 * order. Trades that leave a program above the cliff are undone, unless no table pays for them.
 * NC_ERR_MISMATCH when a sample does not halt, or what it gives depends on the program's own
 * digest, which changes with it. */
NC_API nc_status nc_tir_optimize(const nc_tir_program *program, const nc_tir_options *options,
                                 char **tasm, nc_tir_report *report, nc_error *err);
/* The same for TASM text: a module, or a linked program. Comments are dropped; the names of
 * functions stay, those that the lowering invents (__then__, __else__, __loop__) may go; trades add
 * functions (__trade__1, ..) and move some, but only with options->whole. An error id stays with
 * its assertion; where several in a block fail at once another one may come first. Breaks stay, and
 * the state they show, while the code they stand in is there: no block goes across one. A hint
 * moves to where its elements lie in the new code; report->hints_dropped counts those that have no
 * such place. */
NC_API nc_status nc_tir_optimize_tasm(const char *tasm, const nc_tir_options *options,
                                      char **optimized, nc_tir_report *report, nc_error *err);
/* The whole road in one call, for other languages: TIR text in, TASM text and the report as a JSON
 * object out (json may be null). Free both with nc_tir_free_text. */
NC_API nc_status nc_tir_optimize_text(const char *tir, size_t bytes, const nc_tir_options *options,
                                      char **tasm, char **json, nc_error *err);
/* The report as a JSON object, freed with nc_tir_free_text; "cliff" where there were samples. */
NC_API nc_status nc_tir_report_json(const nc_tir_report *report, char **json);
/* The tallest of the tables and its name (null pointer allowed). */
NC_API uint64_t nc_tir_tallest_table(const nc_tir_tables *tables, const char **table);
/* Text for a trade. */
NC_API const char *nc_tir_trade_str(nc_tir_trade trade);
/* Text for why the trading ended. */
NC_API const char *nc_tir_stop_str(nc_tir_stop stop);

/* -- training: imitation of a wide search, then evolution ------------------------------------ */

/* Warm start: train the model to choose, at every step of a wide search without it, the moves that
 * lead to its shortest ends, on the straight-line blocks of `count` TASM texts (OpenMP: searches
 * side by side, the same result). report may be null. NC_ERR_CANCELLED leaves the model
 * as it was. exact: no; float32 sums in one order, the same on one machine. */
NC_API nc_status nc_tir_imitate(nc_tir_model *model, const char *const *tasm, size_t count,
                                const nc_tir_imitation *options, nc_tir_imitation_report *report,
                                nc_error *err);
/* Evolution from given weights: each generation keeps the best four of sixteen and breeds twelve
 * from them, each weight from one parent or the other and one in a hundred changed. exact: the
 * result depends on the seed and the batch only, not on threads. */
NC_API nc_status nc_tir_evolution_create(nc_tir_evolution **evolution, const nc_tir_model *start,
                                         uint64_t seed);
/* Release; null is fine. */
NC_API void nc_tir_evolution_destroy(nc_tir_evolution *evolution);
/* Add the blocks of TASM text to the batch, each different one once; at most 4,096 are kept. Errors
 * as of nc_tir_count; after NC_ERR_MEMORY those before are there, and the same call adds the rest.
 */
NC_API nc_status nc_tir_evolution_add(nc_tir_evolution *evolution, const char *tasm, nc_error *err);
/* Blocks in the batch. */
NC_API uint32_t nc_tir_evolution_blocks(const nc_tir_evolution *evolution);
/* Run generations. NC_ERR_CANCELLED by the progress callback, between two of them. */
NC_API nc_status nc_tir_evolution_run(nc_tir_evolution *evolution, uint32_t generations,
                                      nc_progress_fn progress, void *user);
/* The best weights of the last generation; they belong to the evolution. */
NC_API const nc_tir_model *nc_tir_evolution_best(const nc_tir_evolution *evolution);
/* Their cost on the batch: padded height (its logarithm in the upper 8 bits), tallest table (28
 * bits), rows of all tables (28 bits); 0 before the first generation. */
NC_API uint64_t nc_tir_evolution_cost(const nc_tir_evolution *evolution);
#ifndef NC_NO_STDIO
/* Write weights, costs and generation to a file, atomically; the batch is not in it. */
NC_API nc_status nc_tir_evolution_save(const nc_tir_evolution *evolution, const char *path,
                                       nc_error *err);
/* Go on from such a file: with the same batch the next generation is the one that would have
 * followed. On an error (NC_ERR_IO, NC_ERR_FORMAT, NC_ERR_MISMATCH for a checksum, and those of
 * nc_tir_model_read) the evolution stays as it was. */
NC_API nc_status nc_tir_evolution_load(nc_tir_evolution *evolution, const char *path,
                                       nc_error *err);
#endif

/* -- trainer: evolution on a thread, between compilations ------------------------------------ */

/* A trainer with the weights of the file at `path`, or with `start` where there is none yet; path
 * null: with `start`, and nothing is ever written. A file that is damaged or cannot be opened is an
 * error: go on without a network. NC_ERR_ARG for a path of 4,096 characters and more. */
NC_API nc_status nc_tir_trainer_create(nc_tir_trainer **trainer, const char *path,
                                       const nc_tir_model *start, uint64_t seed, nc_error *err);
/* Stop and release; null is fine. */
NC_API void nc_tir_trainer_destroy(nc_tir_trainer *trainer);
/* The weights to compile with, valid until the next wait, stop or destroy. */
NC_API const nc_tir_model *nc_tir_trainer_model(const nc_tir_trainer *trainer);
/* Remember the blocks of lowered code. NC_ERR_ARG while it trains. */
NC_API nc_status nc_tir_trainer_collect(nc_tir_trainer *trainer, const char *tasm, nc_error *err);
/* Train in the background (generations 0: 20) on one half of the blocks; weights that are also
 * better on the other half are written to the file and used after wait or stop. NC_ERR_ARG while it
 * trains, NC_ERR_UNSUPPORTED without threads. */
NC_API nc_status nc_tir_trainer_start(nc_tir_trainer *trainer, uint32_t generations, nc_error *err);
/* Wait for the end of the training. The status is that of the training. */
NC_API nc_status nc_tir_trainer_wait(nc_tir_trainer *trainer);
/* End the training within 100 ms, with what it has written. */
NC_API nc_status nc_tir_trainer_stop(nc_tir_trainer *trainer);
/* How often better weights were taken over. */
NC_API uint32_t nc_tir_trainer_promotions(const nc_tir_trainer *trainer);

/* -- gpu: the network on Vulkan and CUDA devices --------------------------------------------- */

#ifdef NC_GPU
/* The network on a device (nc_gpu.h); close before the device. NC_ERR_DEVICE without its kernel. */
NC_API nc_status nc_tir_gpu_open(nc_tir_gpu **gpu, nc_gpu *device);
/* Release; null is fine. */
NC_API void nc_tir_gpu_close(nc_tir_gpu *gpu);
/* Copy `count` models to the device, where they stay until others come; none: give their memory
 * back. The models themselves are not needed any more. NC_ERR_LIMIT for more than 65,535 or beyond
 * the device's buffers; after an error no models are there. */
NC_API nc_status nc_tir_gpu_load(nc_tir_gpu *gpu, const nc_tir_model *const *models, size_t count);
/* nc_tir_model_forward of the models that are there, on the same blocks at once: latents (count x
 * blocks x 32 x 64). NC_ERR_LIMIT for more than 65,535 blocks or beyond the device's buffers;
 * NC_ERR_DEVICE: the text is in nc_gpu_last_error. exact: the bits of the CPU. */
NC_API nc_status nc_tir_gpu_latents(nc_tir_gpu *gpu, const nc_gl *words, size_t blocks,
                                    nc_fixed *latents);
/* Both: the models stay there. */
NC_API nc_status nc_tir_gpu_forward(nc_tir_gpu *gpu, const nc_tir_model *const *models,
                                    size_t count, const nc_gl *words, size_t blocks,
                                    nc_fixed *latents);
/* NC_ERR_UNSUPPORTED for a device: a generation is guided searches, which read no latents and run
 * on the processor. NC_OK for null: no device. The evolution is as before in both cases. */
NC_API nc_status nc_tir_evolution_use_gpu(nc_tir_evolution *evolution, nc_tir_gpu *gpu);
#endif

#endif /* NC_TIRNEURAL_H */

/* ================================== implementation ==================================== */
#if defined(NC_IMPLEMENTATION) && !defined(NC_TIRNEURAL_IMPLEMENTED)
#define NC_TIRNEURAL_IMPLEMENTED

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

#include <math.h>
#if (defined(__unix__) || defined(__APPLE__)) && !defined(NC_TIR_NO_THREADS)
#define NC_TIR__THREADS 1
#include <pthread.h>
#endif

#ifndef NC__STB_DS /* the names of stb_ds.h's functions in this program */
#define NC__STB_DS(name) nc_tir_stbds_##name
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

/* Shorten an stb_ds array, which must not be null where n is not 0; stbds_arrsetlen could grow
 * it. */
#define NC_TIR__CUT(array, n) (void)((array) && (stbds_header(array)->length = (n)))

/* A condition that the compiler checks. */
#define NC_TIR__STATIC(name, condition) typedef char nc_tir__##name[(condition) ? 1 : -1]

/* >>programs ====================================================================== */

NC__COLD_BEGIN

/* What follows the name of an operation in text. The compiler emits dup and swap beyond 15, which
 * no machine runs; they are lowered as they stand and never optimised. */
enum {
    NC_TIR__A_NONE,
    NC_TIR__A_COUNT,
    NC_TIR__A_INDEX,
    NC_TIR__A_VALUE,
    NC_TIR__A_NAME,
    NC_TIR__A_LINE,
    NC_TIR__A_EVENT,
    NC_TIR__A_ASM,
    NC_TIR__A_LEAVES
};

typedef struct nc_tir__form {
    const char *name, *trident, *triton, *trisha; /* null: as trident */
    uint8_t argument, bodies;
    uint16_t least, most; /* of a count or an index */
} nc_tir__form;

static const nc_tir__form nc_tir__forms[] = {
#define NC_TIR__FORM(NAME, text, ARGUMENT, bodies, least, most, trident, triton, trisha)           \
    {text, trident, triton, trisha, NC_TIR__A_##ARGUMENT, bodies, least, most},
    NC_TIR_KINDS(NC_TIR__FORM)
#undef NC_TIR__FORM
};
NC_TIR__STATIC(every_kind_has_its_form,
               sizeof nc_tir__forms / sizeof *nc_tir__forms == NC_TIR_KIND_COUNT);

enum {
    NC_TIR__MAX_OPS = 1 << 20,
    NC_TIR__MAX_OPEN = 64, /* and so the depth of every recursion over bodies */
    NC_TIR__MAX_NAME = 120,
    NC_TIR__MAX_LINE = 4096, /* of a comment, its NUL counted */
    NC_TIR__MAX_ASM = 65536, /* the same of asm */
    NC_TIR__MAX_FIELDS = 65535,
    NC_TIR__HASHED = 9 /* words of an event that are hashed with its tag */
};

typedef struct nc_tir__op {
    uint8_t kind;
    uint8_t has_else;
    uint32_t fields;
    uint64_t value;
    size_t text;    /* where its NUL-terminated string stands in `texts` */
    uint32_t body;  /* operations in the (first) body, nested ones included */
    uint32_t other; /* and in the else branch */
} nc_tir__op;

struct nc_tir_program {
    nc_tir__op *ops;  /* stb_ds array, each body right behind its owner */
    nc__buffer texts; /* of the operations, the empty string first */
    uint32_t *open;   /* stb_ds array: owners of bodies not yet closed */
};

/* -- building -- */

NC_API nc_status nc_tir_create(nc_tir_program **program) {
    if (!program) return NC_ERR_ARG;
    *program = (nc_tir_program *)nc__calloc(NULL, sizeof **program);
    return *program ? NC_OK : NC_ERR_MEMORY;
}

NC_API void nc_tir_destroy(nc_tir_program *program) {
    if (!program) return;
    stbds_arrfree(program->ops);
    nc__buffer_free(&program->texts);
    stbds_arrfree(program->open);
    nc__free(NULL, program, sizeof *program);
}

/* A name holds 1 to 120 printable characters without blanks. */
static int nc_tir__is_name(const char *text, size_t n) {
    size_t i;
    for (i = 0; i < n; i++)
        if (text[i] <= ' ' || text[i] > '~') return 0; /* whatever the sign of char */
    return n > 0 && n <= NC_TIR__MAX_NAME;
}

/* Whether the text is empty or names of types with one blank between two. */
static int nc_tir__is_leaves(const char *text, size_t n) {
    static const char *const types[] = {"field", "bool", "u32"};
    size_t at = 0, i, length;
    if (n >= NC_TIR__MAX_LINE) return 0;
    while (at < n) {
        for (length = 0; at + length < n && text[at + length] != ' ';) length++;
        for (i = 0; i < 3 && (strlen(types[i]) != length || memcmp(types[i], text + at, length));)
            i++;
        if (i == 3 || at + length + 1 == n) return 0;
        at += length + 1;
    }
    return 1;
}

/* Whether the text is lines that asm may have: none is `end`, and a newline ends each. */
static int nc_tir__is_asm(const char *text, size_t n) {
    size_t at = 0, length;
    if (n >= NC_TIR__MAX_ASM) return 0;
    while (at < n) {
        while (at < n && text[at] == ' ') at++;
        for (length = 0; at + length < n && text[at + length] != '\n';) length++;
        if (at + length == n) return 0;
        if (length >= 3 && !memcmp(text + at, "end", 3) &&
            (length == 3 || (length == 4 && text[at + 3] == '\r')))
            return 0;
        at += length + 1;
    }
    return 1;
}

/* Whether an operation of this kind may have that value, so many fields and a text of n characters;
 * text null: none. */
static int nc_tir__is_valid(const nc_tir_op *op, const char *text, size_t n) {
    const nc_tir__form *form;
    if ((unsigned)op->kind >= NC_TIR_KIND_COUNT) return 0;
    form = &nc_tir__forms[op->kind];
    switch (form->argument) {
    case NC_TIR__A_COUNT:
    case NC_TIR__A_INDEX: return op->value >= form->least && op->value <= form->most;
    case NC_TIR__A_NAME: return text && nc_tir__is_name(text, n);
    case NC_TIR__A_LINE:
        return text && n < NC_TIR__MAX_LINE && !memchr(text, '\n', n) && !memchr(text, '\r', n);
    case NC_TIR__A_EVENT:
        return op->fields <= NC_TIR__MAX_FIELDS && text && nc_tir__is_name(text, n);
    case NC_TIR__A_LEAVES: return text && nc_tir__is_leaves(text, n);
    case NC_TIR__A_ASM: return text && nc_tir__is_asm(text, n);
    default: return 1;
    }
}

/* nc_tir_append of op with the text of n characters in place of its own. */
static nc_status nc_tir__append(nc_tir_program *program, const nc_tir_op *op, const char *text,
                                size_t n) {
    const size_t count = stbds_arrlenu(program->ops);
    nc_tir__op stored;
    size_t used;
    if (!nc_tir__is_valid(op, text, n)) return NC_ERR_ARG;
    if (count >= NC_TIR__MAX_OPS) return NC_ERR_LIMIT;
    if (nc_tir__forms[op->kind].bodies && stbds_arrlenu(program->open) >= NC_TIR__MAX_OPEN)
        return NC_ERR_LIMIT;
    memset(&stored, 0, sizeof stored);
    stored.kind = (uint8_t)op->kind;
    stored.value = op->value;
    stored.fields = op->fields;
    used = program->texts.used;
    if (used == 0) nc__buffer_put(&program->texts, "", 1);
    if (text) {
        stored.text = program->texts.used;
        nc__buffer_put(&program->texts, text, n);
        nc__buffer_put(&program->texts, "", 1);
    }
    if (program->texts.status != NC_OK) { /* as if it had not been called */
        const nc_status status = program->texts.status;
        nc__buffer_cut_back(&program->texts, used);
        return status;
    }
    stbds_arrput(program->ops, stored);
    if (nc_tir__forms[op->kind].bodies) stbds_arrput(program->open, (uint32_t)count);
    return NC_OK;
}

NC_API nc_status nc_tir_append(nc_tir_program *program, const nc_tir_op *op) {
    if (!program || !op) return NC_ERR_ARG;
    return nc_tir__append(program, op, op->text, op->text ? strlen(op->text) : 0);
}

/* The owner of the innermost open body, and how many operations stand behind it; null for none. */
static nc_tir__op *nc_tir__open(nc_tir_program *program, uint32_t *inside) {
    if (!program || stbds_arrlenu(program->open) == 0) return NULL;
    *inside = (uint32_t)stbds_arrlenu(program->ops) - stbds_arrlast(program->open) - 1;
    return &program->ops[stbds_arrlast(program->open)];
}

NC_API nc_status nc_tir_else(nc_tir_program *program) {
    uint32_t inside;
    nc_tir__op *owner = nc_tir__open(program, &inside);
    if (!owner || nc_tir__forms[owner->kind].bodies < 2 || owner->has_else) return NC_ERR_ARG;
    owner->has_else = 1;
    owner->body = inside;
    return NC_OK;
}

NC_API nc_status nc_tir_end(nc_tir_program *program) {
    uint32_t inside;
    nc_tir__op *owner = nc_tir__open(program, &inside);
    if (!owner) return NC_ERR_ARG;
    if (owner->has_else)
        owner->other = inside - owner->body;
    else
        owner->body = inside;
    (void)stbds_arrpop(program->open);
    return NC_OK;
}

NC_API size_t nc_tir_size(const nc_tir_program *program) { return stbds_arrlenu(program->ops); }

/* -- reading -- */

/* Text that is read line by line. */
typedef struct nc_tir__reader {
    nc__text line;
    const char *next, *stop; /* the rest of the text */
} nc_tir__reader;

static void nc_tir__open_text(nc_tir__reader *r, const char *text, size_t bytes, nc_error *err) {
    nc__text_open(&r->line, text, 0, err);
    r->line.line = 0;
    r->next = text;
    r->stop = text + bytes;
}

/* The next line, without a CR at its end, becomes r->line; 0 behind the last, where r->line is an
 * empty line of its own. */
static int nc_tir__next_line(nc_tir__reader *r) {
    nc__text *line = &r->line;
    const size_t left = (size_t)(r->stop - r->next);
    const char *end = left ? (const char *)memchr(r->next, '\n', left) : NULL;
    line->line++;
    line->at = line->line_start = r->next;
    line->end = end ? end : r->stop;
    if (line->end > line->at && line->end[-1] == '\r') line->end--;
    r->next = end ? end + 1 : r->stop;
    return left > 0 && line->status == NC_OK;
}

static int nc_tir__is_blank(char c) { return c == ' ' || c == '\t' || c == '\r'; }

/* The next run of characters that are not blank; length 0 at the end of the line. */
static size_t nc_tir__word(nc__text *line, const char **word) {
    const char *at = line->at;
    while (at < line->end && nc_tir__is_blank(*at)) at++;
    *word = at;
    while (at < line->end && !nc_tir__is_blank(*at)) at++;
    line->at = at;
    return (size_t)(at - *word);
}

/* NC_ERR_FORMAT at this place of the line. */
static nc_status nc_tir__bad(nc__text *line, const char *at, const char *what) {
    line->at = at;
    return nc__text_fail(line, NC_ERR_FORMAT, "%s", what);
}

/* Whether the n characters at text spell name. */
static int nc_tir__is(const char *text, size_t n, const char *name) {
    return n > 0 && *text == *name && strlen(name) == n && memcmp(text, name, n) == 0;
}

/* Bytes of the white space at `at`, what Unicode calls so, in UTF-8; or 0. */
static size_t nc_tir__white(const char *at, const char *end) {
    const uint8_t *c = (const uint8_t *)at;
    if (at == end) return 0;
    if (*c < 128) return (size_t)nc__is_space(*c);
    if (end - at >= 2 && c[0] == 0xc2) /* next line, no-break space */
        return c[1] == 0x85 || c[1] == 0xa0 ? 2 : 0;
    if (end - at < 3) return 0;
    if (c[0] == 0xe2 && c[1] == 0x80) /* of typography, line and paragraph, narrow no-break */
        return (c[2] >= 0x80 && c[2] <= 0x8a) || c[2] == 0xa8 || c[2] == 0xa9 || c[2] == 0xaf ? 3
                                                                                              : 0;
    return !memcmp(c, "\xe1\x9a\x80", 3) || /* ogham, mathematics, ideographs */
                   !memcmp(c, "\xe2\x81\x9f", 3) || !memcmp(c, "\xe3\x80\x80", 3)
               ? 3
               : 0;
}

/* The verbatim lines of asm up to a lone `end`, without the indentation of the body. */
static nc_status nc_tir__read_asm(nc_tir__reader *r, size_t depth, nc__buffer *lines) {
    nc__text *line = &r->line;
    const size_t start = line->line + 1;
    while (nc_tir__next_line(r)) {
        const char *first = line->at;
        size_t skip = 2 * (depth + 1), n;
        while (first < line->end && *first == ' ') first++;
        if (nc_tir__is(first, (size_t)(line->end - first), "end")) return lines->status;
        while (skip-- > 0 && line->at < line->end && *line->at == ' ') line->at++;
        first = line->at;
        n = (size_t)(line->end - first);
        line->at = line->line_start; /* where its errors point */
        if (lines->used + n + 1 >= NC_TIR__MAX_ASM)
            return nc__text_fail(line, NC_ERR_LIMIT, "asm of 65,536 characters or more");
        if (memchr(first, 0, n)) return nc__text_fail(line, NC_ERR_FORMAT, "NUL in asm");
        nc__buffer_put(lines, first, n);
        nc__buffer_put(lines, "\n", 1);
    }
    line->line = start;
    return nc__text_fail(line, NC_ERR_FORMAT, "asm without end");
}

/* An unsigned number in decimal, below 2^64. */
static int nc_tir__read_count(const char *word, size_t n, uint64_t *value) {
    size_t i;
    for (i = 0, *value = 0; i < n; i++) {
        const uint64_t digit = (uint64_t)word[i] - '0';
        if (digit > 9 || *value > (UINT64_MAX - digit) / 10) return 0;
        *value = 10 * *value + digit;
    }
    return n > 0;
}

/* The text of an operation as it stands in the source. */
typedef struct nc_tir__slice {
    const char *text;
    size_t n;
} nc_tir__slice;

/* The name of a label or event, and the tag and the number of fields of an event. */
static nc_status nc_tir__read_name(nc__text *line, nc_tir_op *op, nc_tir__slice *name) {
    const char *word;
    uint64_t value;
    size_t n;
    if (!nc_tir__is_name(name->text, name->n)) return nc_tir__bad(line, name->text, "bad name");
    if (nc_tir__forms[op->kind].argument == NC_TIR__A_NAME) return NC_OK;
    n = nc_tir__word(line, &word);
    if (!nc_tir__read_count(word, n, &op->value)) return nc_tir__bad(line, word, "expected a tag");
    n = nc_tir__word(line, &word);
    if (!nc_tir__read_count(word, n, &value) || value > NC_TIR__MAX_FIELDS)
        return nc_tir__bad(line, word, "expected 0 to 65,535 fields");
    op->fields = (uint32_t)value;
    return NC_OK;
}

/* Fill op and its text from what follows the name of its kind. */
static nc_status nc_tir__read_argument(nc__text *line, nc_tir_op *op, nc_tir__slice *text) {
    const nc_tir__form *form = &nc_tir__forms[op->kind];
    int negative;
    if (form->argument == NC_TIR__A_NONE) return NC_OK;
    if (form->argument == NC_TIR__A_LINE || form->argument == NC_TIR__A_LEAVES) {
        /* one blank, then the rest of the line as it stands */
        if (line->at < line->end && *line->at == ' ') line->at++;
        text->text = line->at;
        text->n = (size_t)(line->end - line->at);
        if (text->n >= NC_TIR__MAX_LINE || memchr(text->text, 0, text->n) ||
            memchr(text->text, '\r', text->n))
            return nc_tir__bad(line, line->at, "comment is too long or has a NUL or CR");
        if (form->argument == NC_TIR__A_LEAVES && !nc_tir__is_leaves(text->text, text->n))
            return nc_tir__bad(line, line->at, "expected field, bool or u32 between single blanks");
        line->at = line->end;
        return NC_OK;
    }
    text->n = nc_tir__word(line, &text->text);
    if (text->n == 0) return nc_tir__bad(line, text->text, "the operation needs an argument");
    if (form->argument == NC_TIR__A_NAME || form->argument == NC_TIR__A_EVENT)
        return nc_tir__read_name(line, op, text);
    negative = form->argument == NC_TIR__A_ASM && text->n > 1 && *text->text == '-';
    if (!nc_tir__read_count(text->text + negative, text->n - (size_t)negative, &op->value))
        return nc_tir__bad(line, text->text,
                           negative ? "expected a stack effect" : "expected a number below 2^64");
    if (form->argument == NC_TIR__A_ASM && op->value > (uint64_t)INT64_MAX + (uint64_t)negative)
        return nc_tir__bad(line, text->text, "expected a stack effect of -2^63 to 2^63 - 1");
    if (negative) op->value = 0 - op->value;
    if ((form->argument == NC_TIR__A_COUNT || form->argument == NC_TIR__A_INDEX) &&
        (op->value < form->least || op->value > form->most))
        return nc_tir__bad(line, text->text, "the count is out of range");
    text->text = NULL;
    return NC_OK;
}

/* One line that is no asm text; op->kind NC_TIR_KIND_COUNT: there is no operation to append. */
static nc_status nc_tir__read_line(nc_tir_program *p, nc__text *line, nc_tir_op *op,
                                   nc_tir__slice *text) {
    const char *word;
    size_t n = nc_tir__word(line, &word);
    int kind;
    op->kind = NC_TIR_KIND_COUNT;
    if (n == 0) return NC_OK;
    if (nc_tir__is(word, n, "else")) {
        if (nc_tir_else(p) != NC_OK) return nc_tir__bad(line, word, "else without if_else");
    } else if (nc_tir__is(word, n, "end")) {
        if (nc_tir_end(p) != NC_OK) return nc_tir__bad(line, word, "end without a body");
    } else {
        for (kind = 0; kind < NC_TIR_KIND_COUNT; kind++)
            if (nc_tir__is(word, n, nc_tir__forms[kind].name)) break;
        if (kind == NC_TIR_KIND_COUNT) return nc_tir__bad(line, word, "unknown operation");
        op->kind = (nc_tir_kind)kind;
        if (nc_tir__read_argument(line, op, text) != NC_OK) return line->status;
    }
    return nc_tir__word(line, &word)
               ? nc_tir__bad(line, word, "unexpected text after the operation")
               : NC_OK;
}

/* A function that has been started: the line where, 0 for none, and the bodies open there. */
typedef struct nc_tir__function {
    size_t line, depth;
} nc_tir__function;

static nc_status nc_tir__unfinished(nc__text *line, const nc_tir__function *f) {
    line->line = f->line;
    return nc_tir__bad(line, line->line_start, "fn_start without fn_end");
}

/* fn_start and fn_end come in pairs, none within another, with whole bodies between them. */
static nc_status nc_tir__pair_functions(const nc_tir_program *p, nc__text *line, int kind,
                                        nc_tir__function *f) {
    const size_t depth = stbds_arrlenu(p->open);
    if (kind == NC_TIR_FN_START) {
        if (f->line) return nc_tir__unfinished(line, f);
        f->line = line->line;
        f->depth = depth;
    } else if (kind == NC_TIR_FN_END) {
        if (!f->line) return nc_tir__bad(line, line->line_start, "fn_end without fn_start");
        if (f->depth != depth)
            return nc_tir__bad(line, line->line_start, "a body is not closed by end");
        f->line = 0;
    }
    return NC_OK;
}

/* All lines into the program; a failure is in r->line. */
static nc_status nc_tir__read_program(nc_tir_program *p, nc_tir__reader *r, nc__buffer *lines) {
    nc_tir__function function = {0, 0};
    nc__text *line = &r->line;
    while (nc_tir__next_line(r)) {
        nc_tir__slice text = {NULL, 0};
        nc_status status;
        nc_tir_op op;
        memset(&op, 0, sizeof op);
        status = nc_tir__read_line(p, line, &op, &text);
        if (status != NC_OK) return status;
        if (op.kind == NC_TIR_KIND_COUNT) continue;
        if (nc_tir__pair_functions(p, line, (int)op.kind, &function) != NC_OK) return line->status;
        if (nc_tir__forms[op.kind].argument == NC_TIR__A_ASM) {
            lines->used = 0;
            status = nc_tir__read_asm(r, stbds_arrlenu(p->open), lines);
            if (status != NC_OK) return status;
            text.text = lines->used ? lines->data : "";
            text.n = lines->used;
        }
        status = nc_tir__append(p, &op, text.text, text.n);
        line->at = line->line_start;
        if (status != NC_OK)
            return nc__text_fail(line, status, "%s",
                                 status == NC_ERR_LIMIT
                                     ? "more than 2^20 operations or 64 open bodies"
                                     : "bad operation");
    }
    if (stbds_arrlenu(p->open))
        return nc__text_fail(line, NC_ERR_FORMAT, "a body is not closed by end");
    return function.line ? nc_tir__unfinished(line, &function) : NC_OK;
}

NC_API nc_status nc_tir_parse(nc_tir_program **program, const char *text, size_t bytes,
                              nc_error *err) {
    nc_tir__reader r;
    nc__buffer lines;
    nc_status status;
    nc__clear(err);
    if (program) *program = NULL;
    if (!program || (!text && bytes)) return nc__fail(err, NC_ERR_ARG, 0, 0, "no text");
    status = nc_tir_create(program);
    if (status != NC_OK) return nc__fail(err, status, 0, 0, "out of memory");
    memset(&lines, 0, sizeof lines);
    nc_tir__open_text(&r, bytes ? text : "", bytes, err);
    status = nc_tir__read_program(*program, &r, &lines);
    nc__buffer_free(&lines);
    if (status == NC_OK) return NC_OK;
    if (status == NC_ERR_MEMORY) nc__fail(err, status, 0, 0, "out of memory");
    nc_tir_destroy(*program);
    *program = NULL;
    return status;
}

NC__COLD_END

/* -- writing -- */

static void nc_tir__print(nc__buffer *out, const char *text) {
    nc__buffer_put(out, text, strlen(text));
}

static NC__NOINLINE void nc_tir__print_value(nc__buffer *out, uint64_t value) {
    char text[21];
    (void)nc_gl_print(value, text);
    nc_tir__print(out, text);
}

/* A field element; small negative ones read better as such, and are what the compiler prints. */
static NC__NOINLINE void nc_tir__print_field(nc__buffer *out, uint64_t value) {
    if (value <= NC_GL_P - 65536) {
        nc_tir__print_value(out, value);
    } else {
        nc_tir__print(out, "-");
        nc_tir__print_value(out, NC_GL_P - value);
    }
}

/* A line of so many times two blanks and a text. */
static void nc_tir__print_line(nc__buffer *out, size_t depth, const char *text, size_t n) {
    while (depth-- > 0) nc_tir__print(out, "  ");
    nc__buffer_put(out, text, n);
}

NC__COLD_BEGIN

static void nc_tir__write_op(const nc_tir_program *p, const nc_tir__op *op, size_t depth,
                             nc__buffer *out) {
    const nc_tir__form *form = &nc_tir__forms[op->kind];
    const char *text = p->texts.data + op->text;
    nc_tir__print_line(out, depth, form->name, strlen(form->name));
    if (form->argument != NC_TIR__A_NONE) nc_tir__print(out, " ");
    switch (form->argument) {
    case NC_TIR__A_NONE: break;
    case NC_TIR__A_COUNT:
    case NC_TIR__A_INDEX:
    case NC_TIR__A_VALUE: nc_tir__print_value(out, op->value); break;
    case NC_TIR__A_ASM:
        if (op->value >> 63) nc_tir__print(out, "-");
        nc_tir__print_value(out, op->value >> 63 ? 0 - op->value : op->value);
        nc_tir__print(out, "\n");
        for (; *text; text += strcspn(text, "\n") + 1)
            nc_tir__print_line(out, depth + 1, text, strcspn(text, "\n") + 1);
        nc_tir__print_line(out, depth, "end", 3);
        break;
    case NC_TIR__A_EVENT:
        nc_tir__print(out, text);
        nc_tir__print(out, " ");
        nc_tir__print_value(out, op->value);
        nc_tir__print(out, " ");
        nc_tir__print_value(out, op->fields);
        break;
    default: nc_tir__print(out, text); break; /* a name or a line */
    }
    nc_tir__print(out, "\n");
}

static void nc_tir__write_range(const nc_tir_program *p, uint32_t first, uint32_t count,
                                size_t depth, nc__buffer *out) {
    uint32_t i = first;
    while (i < first + count) {
        const nc_tir__op *op = &p->ops[i];
        nc_tir__write_op(p, op, depth, out);
        if (nc_tir__forms[op->kind].bodies) {
            nc_tir__write_range(p, i + 1, op->body, depth + 1, out);
            if (op->has_else) {
                nc_tir__print_line(out, depth, "else\n", 5);
                nc_tir__write_range(p, i + 1 + op->body, op->other, depth + 1, out);
            }
            nc_tir__print_line(out, depth, "end\n", 4);
        }
        i += 1 + op->body + op->other;
    }
}

/* Hand the text over to the caller, who frees it with nc_tir_free_text. */
static nc_status nc_tir__deliver(nc__buffer *out, char **text) {
    nc_status status;
    (void)nc__buffer_add(out, 0); /* an empty text has its NUL too */
    status = out->status;
    if (status == NC_OK)
        *text = out->data;
    else
        nc__buffer_free(out);
    return status;
}

NC_API nc_status nc_tir_write(const nc_tir_program *program, char **text) {
    nc__buffer out;
    if (!text) return NC_ERR_ARG;
    *text = NULL;
    if (!program || stbds_arrlenu(program->open)) return NC_ERR_ARG;
    memset(&out, 0, sizeof out);
    nc_tir__write_range(program, 0, (uint32_t)stbds_arrlenu(program->ops), 0, &out);
    return nc_tir__deliver(&out, text);
}

NC_API void nc_tir_free_text(char *text) { nc__free(NULL, text, 0); }

/* >>peephole ====================================================================== */

/* An operation on its way through the passes: what the program says, the value as changed, and
 * the bodies as lists of their own. Lists are stb_ds arrays; a pass rewrites its list in place
 * and never makes it longer. */
typedef struct nc_tir__item {
    const nc_tir__op *op;
    uint64_t value;
    uint8_t kind;
    struct nc_tir__item *body, *other;
} nc_tir__item;

/* Which rules: those that never change the meaning, or those of a compiler. */
enum { NC_TIR__RULES_SAFE, NC_TIR__RULES_TRIDENT, NC_TIR__RULES_TRISHA };

static nc_tir__item nc_tir__item_of(unsigned kind, uint64_t value) {
    nc_tir__item node;
    memset(&node, 0, sizeof node);
    node.kind = (uint8_t)kind;
    node.value = value;
    return node;
}

/* The flat program as a tree of stb_ds arrays, which the peephole edits; null for no operations.
 * The old compiler splits pops and hints into fives; NC_ERR_LIMIT where *total, of all items,
 * becomes too large. */
static nc_tir__item *nc_tir__items(const nc_tir_program *p, uint32_t first, uint32_t count,
                                   int rules, uint32_t *total, nc_status *status) {
    nc_tir__item *list = NULL;
    uint32_t i = first;
    while (i < first + count && *status == NC_OK) {
        nc_tir__item node = nc_tir__item_of(p->ops[i].kind, p->ops[i].value);
        node.op = &p->ops[i];
        if (node.op->body) node.body = nc_tir__items(p, i + 1, node.op->body, rules, total, status);
        if (node.op->other)
            node.other =
                nc_tir__items(p, i + 1 + node.op->body, node.op->other, rules, total, status);
        if (rules == NC_TIR__RULES_TRIDENT && (node.kind == NC_TIR_POP || node.kind == NC_TIR_HINT))
            for (; node.value > 5 && *status == NC_OK; node.value -= 5) {
                stbds_arrput(list, nc_tir__item_of(node.kind, 5));
                if (++*total > NC_TIR__MAX_OPS) *status = NC_ERR_LIMIT;
            }
        stbds_arrput(list, node);
        ++*total;
        i += 1 + node.op->body + node.op->other;
    }
    return list;
}

static void nc_tir__free_items(nc_tir__item *list) {
    size_t i;
    for (i = 0; i < stbds_arrlenu(list); i++) {
        nc_tir__free_items(list[i].body);
        nc_tir__free_items(list[i].other);
    }
    stbds_arrfree(list);
}

/* Whether the list goes on at i with that operation. */
static int nc_tir__item_is(const nc_tir__item *list, size_t n, size_t i, unsigned kind,
                           uint64_t value) {
    return i < n && list[i].kind == kind && list[i].value == value;
}

/* Pops (or hints) of `count` in all, at most five each but in the newest compiler; returns where
 * the next goes. */
static size_t nc_tir__put_counts(nc_tir__item *list, size_t at, unsigned kind, uint64_t count,
                                 int rules) {
    const uint64_t most = rules == NC_TIR__RULES_TRISHA ? nc_tir__forms[kind].most : 5;
    for (; count > most; count -= most) list[at++] = nc_tir__item_of(kind, most);
    if (count) list[at++] = nc_tir__item_of(kind, count);
    return at;
}

/* Whether a pop or hint is merged with its neighbours: beyond five only the newest compiler
 * does. */
static int nc_tir__is_merged(const nc_tir__item *item, int rules) {
    return (item->kind == NC_TIR_HINT || item->kind == NC_TIR_POP) &&
           (item->value <= 5 || rules == NC_TIR__RULES_TRISHA);
}

/* Neighbouring hints, and pops, become as few as can be; swap 0 goes. */
static size_t nc_tir__merge_counts(nc_tir__item *list, size_t n, int rules) {
    size_t i = 0, kept = 0;
    while (i < n) {
        const unsigned kind = list[i].kind;
        uint64_t total = 0;
        if (!nc_tir__is_merged(&list[i], rules)) {
            if (!nc_tir__item_is(list, n, i, NC_TIR_SWAP, 0)) list[kept++] = list[i];
            i++;
            continue;
        }
        for (; i < n && list[i].kind == kind && nc_tir__is_merged(&list[i], rules); i++)
            total += list[i].value;
        kept = nc_tir__put_counts(list, kept, kind, total, rules);
    }
    return kept;
}

/* `push a, swap 1, write_mem 1, pop 1` stores the top; `push a, read_mem 1, pop 1` loads it. */
static int nc_tir__is_store(const nc_tir__item *list, size_t n, size_t i) {
    return i < n && list[i].kind == NC_TIR_PUSH &&
           nc_tir__item_is(list, n, i + 1, NC_TIR_SWAP, 1) &&
           nc_tir__item_is(list, n, i + 2, NC_TIR_WRITE_MEM, 1) &&
           nc_tir__item_is(list, n, i + 3, NC_TIR_POP, 1);
}
static int nc_tir__is_load(const nc_tir__item *list, size_t n, size_t i) {
    return i < n && list[i].kind == NC_TIR_PUSH &&
           nc_tir__item_is(list, n, i + 1, NC_TIR_READ_MEM, 1) &&
           nc_tir__item_is(list, n, i + 2, NC_TIR_POP, 1);
}

/* How often an address is stored and loaded in a list. */
typedef struct nc_tir__spill {
    uint64_t address;
    uint32_t stores, loads;
} nc_tir__spill;

static int nc_tir__by_address(const void *a, const void *b) {
    const uint64_t x = ((const nc_tir__spill *)a)->address, y = ((const nc_tir__spill *)b)->address;
    return x < y ? -1 : x > y;
}

/* The addresses of a list in order, an stb_ds array. */
static nc_tir__spill *nc_tir__spills(const nc_tir__item *list, size_t n) {
    nc_tir__spill *spills = NULL;
    size_t i, kept = 0, count;
    for (i = 0; i < n; i++) {
        nc_tir__spill spill;
        spill.address = list[i].value;
        spill.stores = (uint32_t)nc_tir__is_store(list, n, i);
        spill.loads = (uint32_t)nc_tir__is_load(list, n, i);
        if (spill.stores || spill.loads) stbds_arrput(spills, spill);
    }
    count = stbds_arrlenu(spills);
    if (count == 0) return NULL;
    qsort(spills, count, sizeof *spills, nc_tir__by_address);
    for (i = 1; i < count; i++)
        if (spills[i].address == spills[kept].address) {
            spills[kept].stores += spills[i].stores;
            spills[kept].loads += spills[i].loads;
        } else {
            spills[++kept] = spills[i];
        }
    NC_TIR__CUT(spills, kept + 1);
    return spills;
}

/* Stores and loads of an address with one of each go, the value stays on the stack; stores of an
 * address that is never loaded become pops. Nested bodies do not count. No safe rule: other code
 * may load the address, and the value may have moved. */
static size_t nc_tir__drop_spills(nc_tir__item *list, size_t n, int rules) {
    nc_tir__spill *spills = rules == NC_TIR__RULES_SAFE ? NULL : nc_tir__spills(list, n);
    size_t i, kept = 0;
    if (!spills) return n;
    for (i = 0; i < n; i++) {
        const int store = nc_tir__is_store(list, n, i), load = nc_tir__is_load(list, n, i);
        const nc_tir__spill *spill = NULL;
        nc_tir__spill wanted;
        wanted.address = list[i].value;
        if (store || load)
            spill = (const nc_tir__spill *)bsearch(&wanted, spills, stbds_arrlenu(spills),
                                                   sizeof *spills, nc_tir__by_address);
        if (spill && spill->stores == 1 && spill->loads == 1) {
            i += store ? 3 : 2;
        } else if (spill && store && spill->loads == 0) {
            list[kept++] = nc_tir__item_of(NC_TIR_POP, 1);
            i += 3;
        } else {
            list[kept++] = list[i];
        }
    }
    stbds_arrfree(spills);
    return kept;
}

/* `dup 0, pop 1` and `dup 0, swap 1, pop 1` do nothing. */
static size_t nc_tir__drop_copies(nc_tir__item *list, size_t n, int rules) {
    size_t i, kept = 0;
    (void)rules;
    for (i = 0; i < n; i++) {
        const size_t swapped = (size_t)nc_tir__item_is(list, n, i + 1, NC_TIR_SWAP, 1);
        if (nc_tir__item_is(list, n, i, NC_TIR_DUP, 0) &&
            nc_tir__item_is(list, n, i + 1 + swapped, NC_TIR_POP, 1))
            i += 1 + swapped;
        else
            list[kept++] = list[i];
    }
    return kept;
}

/* Neither do two swaps of the same depth. */
static size_t nc_tir__drop_double_swaps(nc_tir__item *list, size_t n, int rules) {
    size_t i, kept = 0;
    (void)rules;
    for (i = 0; i < n; i++)
        if (list[i].kind == NC_TIR_SWAP &&
            nc_tir__item_is(list, n, i + 1, NC_TIR_SWAP, list[i].value))
            i++;
        else
            list[kept++] = list[i];
    return kept;
}

/* k times `dup k - 1`, `swap k`, pops of k in all: k >= 2 values copied and the originals
 * dropped. */
static size_t nc_tir__drop_moved_blocks(nc_tir__item *list, size_t n, int rules) {
    size_t i = 0, kept = 0;
    (void)rules;
    while (i < n) {
        size_t end = i;
        uint64_t copies, popped = 0;
        while (end < n && list[i].kind == NC_TIR_DUP && list[end].kind == NC_TIR_DUP &&
               list[end].value == list[i].value)
            end++;
        copies = end - i;
        if (copies >= 2 && list[i].value + 1 == copies &&
            nc_tir__item_is(list, n, end, NC_TIR_SWAP, copies))
            for (end++; end < n && list[end].kind == NC_TIR_POP && popped < copies; end++)
                popped += list[end].value;
        if (popped && popped == copies)
            i = end;
        else
            list[kept++] = list[i++];
    }
    return kept;
}

/* How many times the list goes on at i with `swap d, pop 1`, d at most `depth` and equal to it
 * where that is 1. *same: whether all are equal to it. */
static uint64_t nc_tir__chain(const nc_tir__item *list, size_t n, size_t i, uint64_t depth,
                              int *same) {
    uint64_t count = 0;
    *same = 1;
    while (i + 1 < n && list[i].kind == NC_TIR_SWAP &&
           nc_tir__item_is(list, n, i + 1, NC_TIR_POP, 1) &&
           (depth == 1 ? list[i].value == 1 : list[i].value <= depth)) {
        *same &= list[i].value == depth;
        i += 2;
        count++;
    }
    return count;
}

/* Chains of `swap 1, pop 1`, of three or more but in the newest compiler: one swap and pops,
 * fifteen at a time but there. Of three or more `swap d, pop 1` the old compiler makes what no safe
 * rule does. All of one depth d: swaps from the deepest value that goes, when it is in reach, else
 * of d, then the pops. First depth d and none above it: one swap of d, then the pops. */
static size_t nc_tir__collapse_chains(nc_tir__item *list, size_t n, int rules) {
    const int newest = rules == NC_TIR__RULES_TRISHA;
    const uint64_t most = newest ? nc_tir__forms[NC_TIR_SWAP].most : 15;
    size_t i = 0, kept = 0;
    while (i < n) {
        const uint64_t depth = list[i].value;
        int same;
        uint64_t count = nc_tir__chain(list, n, i, depth, &same), k;
        if (count < (newest ? 1 : 3) || (depth > 1 && rules != NC_TIR__RULES_TRIDENT)) {
            list[kept++] = list[i++];
            continue;
        }
        i += 2 * (size_t)count;
        if (depth == 1) {
            for (; count; count -= k) {
                k = count < most ? count : most;
                list[kept++] = nc_tir__item_of(NC_TIR_SWAP, k);
                kept = nc_tir__put_counts(list, kept, NC_TIR_POP, k, rules);
            }
            continue;
        }
        for (k = 0; k < (same ? count : 1); k++)
            list[kept++] = nc_tir__item_of(
                NC_TIR_SWAP, same && depth + count - 1 <= 15 ? depth + count - 1 - k : depth);
        kept = nc_tir__put_counts(list, kept, NC_TIR_POP, count, rules);
    }
    return kept;
}

/* All passes, again and again until the list keeps its length; bodies each time around. */
static void nc_tir__clean(nc_tir__item **list, int rules) {
    static size_t (*const pass[])(nc_tir__item *, size_t, int) = {
        nc_tir__merge_counts,      nc_tir__drop_spills,       nc_tir__drop_copies,
        nc_tir__drop_double_swaps, nc_tir__drop_moved_blocks, nc_tir__collapse_chains};
    size_t before, i, n = stbds_arrlenu(*list);
    if (n == 0) return;
    do {
        before = n;
        for (i = 0; i < sizeof pass / sizeof *pass; i++) n = pass[i](*list, n, rules);
        NC_TIR__CUT(*list, n);
        for (i = 0; i < n; i++) {
            nc_tir__clean(&(*list)[i].body, rules);
            nc_tir__clean(&(*list)[i].other, rules);
        }
    } while (n != before);
}

static nc_status nc_tir__append_items(nc_tir_program *to, const nc_tir_program *from,
                                      nc_tir__item *list) {
    nc_status status = NC_OK;
    size_t i;
    for (i = 0; i < stbds_arrlenu(list) && status == NC_OK; i++) {
        const nc_tir__item *node = &list[i];
        nc_tir_op op;
        memset(&op, 0, sizeof op);
        op.kind = (nc_tir_kind)node->kind;
        op.value = node->value;
        if (node->op) {
            op.fields = node->op->fields;
            op.text = from->texts.data + node->op->text;
        }
        status = nc_tir_append(to, &op);
        if (status != NC_OK || nc_tir__forms[node->kind].bodies == 0) continue;
        status = nc_tir__append_items(to, from, node->body);
        if (status == NC_OK && node->op && node->op->has_else) {
            status = nc_tir_else(to);
            if (status == NC_OK) status = nc_tir__append_items(to, from, node->other);
        }
        if (status == NC_OK) status = nc_tir_end(to);
    }
    return status;
}

/* The program after those rules. */
static nc_status nc_tir__cleaned(const nc_tir_program *program, int rules,
                                 nc_tir_program **result) {
    nc_tir__item *list;
    uint32_t total = 0;
    nc_status status;
    if (!result) return NC_ERR_ARG;
    *result = NULL;
    if (!program || stbds_arrlenu(program->open)) return NC_ERR_ARG;
    status = nc_tir_create(result);
    if (status != NC_OK) return status;
    list = nc_tir__items(program, 0, (uint32_t)stbds_arrlenu(program->ops), rules, &total, &status);
    if (status == NC_OK) {
        nc_tir__clean(&list, rules);
        status = nc_tir__append_items(*result, program, list);
    }
    nc_tir__free_items(list);
    if (status != NC_OK) {
        nc_tir_destroy(*result);
        *result = NULL;
    }
    return status;
}

NC_API nc_status nc_tir_peephole(const nc_tir_program *program, nc_tir_program **result) {
    return nc_tir__cleaned(program, NC_TIR__RULES_SAFE, result);
}

NC_API nc_status nc_tir_peephole_of(const nc_tir_program *program, nc_tir_target compiler,
                                    nc_tir_program **result) {
    if (result) *result = NULL;
    if (compiler != NC_TIR_TARGET_TRIDENT && compiler != NC_TIR_TARGET_TRISHA) return NC_ERR_ARG;
    return nc_tir__cleaned(
        program, compiler == NC_TIR_TARGET_TRIDENT ? NC_TIR__RULES_TRIDENT : NC_TIR__RULES_TRISHA,
        result);
}

NC__COLD_END

/* >>lowering ====================================================================== */

/* A body whose code comes after the function that branches to it. */
typedef struct nc_tir__deferred {
    uint32_t first, count; /* operations */
    uint32_t number;       /* of its label */
    uint8_t branch;        /* NC_TIR__THEN .. */
} nc_tir__deferred;

enum {
    NC_TIR__THEN, /* of if_else: takes the flag and leaves 0 in its place */
    NC_TIR__ELSE, /* of if_else: runs where the flag is left */
    NC_TIR__ONLY, /* of if_only */
    NC_TIR__BODY  /* of loop, in the newest compiler; number: the operation's place instead */
};

enum {
    NC_TIR__MAX_TEXT = 1 << 26, /* of lowered code; 2^22 instructions, which are read, are less */
    NC_TIR__MAX_RUN = 1024,     /* moves that the newest compiler looks at as one */
    NC_TIR__MAX_REACH = 4096    /* elements that they may reach or leave */
};

typedef struct nc_tir__lowering {
    const nc_tir_program *program;
    nc__buffer text;
    nc_tir__deferred *queue; /* stb_ds array */
    size_t queue_done;
    size_t push, push_end; /* the last line, where that is a push; or push_end 0 */
    nc_tir_target target;
    nc_status status; /* NC_ERR_UNSUPPORTED: not on this target; NC_ERR_LIMIT: too long */
    uint32_t labels;  /* made so far */
    uint32_t scratch; /* trisha: number of the label that looks for free RAM, or 0 */
    int plain;        /* trisha: moves are lowered one by one */
    int deferring;    /* a deferred body is being lowered */
    uint16_t order[2 * NC_TIR__MAX_REACH], uses[NC_TIR__MAX_REACH]; /* of a run of moves */
} nc_tir__lowering;

/* Whether the target is a machine, not a compiler. */
static int nc_tir__is_machine(const nc_tir__lowering *l) {
    return l->target == NC_TIR_TARGET_TRITON || l->target == NC_TIR_TARGET_TRITON_MAIN;
}

/* -- instructions -- */

/* One instruction of a template: n characters, # for the value. */
static void nc_tir__lower_instruction(nc_tir__lowering *l, const char *form, size_t n,
                                      uint64_t value) {
    const int machine = nc_tir__is_machine(l);
    const size_t start = l->text.used, value_at = form[n - 1] == '#' ? n - 1 : n;
    if (machine && n == 3 && l->push_end == start && start && !memcmp(form, "add", 3)) {
        memcpy(l->text.data + l->push + 4, "addi", 4); /* over "push" */
        l->push_end = 0;
        return;
    }
    nc_tir__print(&l->text, "    ");
    nc__buffer_put(&l->text, form, value_at);
    if (value_at < n) nc_tir__print_value(&l->text, value);
    nc_tir__print(&l->text, "\n");
    if (!machine || strncmp(form, "push", 4) != 0) return;
    l->push = start;
    l->push_end = l->text.status == NC_OK ? l->text.used : 0;
}

/* The same for any target but the old compiler, whose values and counts are written as they stand:
 * values are those of the field, counts come five at a time. */
static void nc_tir__lower_value(nc_tir__lowering *l, const char *form, size_t n,
                                const nc_tir__op *op) {
    const uint8_t argument = nc_tir__forms[op->kind].argument;
    uint64_t left = op->value;
    if (l->target == NC_TIR_TARGET_TRIDENT || form[n - 1] != '#') {
        nc_tir__lower_instruction(l, form, n, op->value);
    } else if (argument != NC_TIR__A_COUNT) {
        if (left >= NC_GL_P && argument == NC_TIR__A_VALUE) left -= NC_GL_P;
        nc_tir__lower_instruction(l, form, n, left);
    } else {
        for (; left > 5; left -= 5) nc_tir__lower_instruction(l, form, n, 5);
        if (left) nc_tir__lower_instruction(l, form, n, left);
    }
}

/* An instruction with its argument, which may be negative. */
static void nc_tir__lower_number(nc_tir__lowering *l, const char *prefix, int64_t number,
                                 const char *suffix) {
    nc_tir__print(&l->text, prefix);
    if (number < 0) nc_tir__print(&l->text, "-");
    nc_tir__print_value(&l->text, number < 0 ? 0 - (uint64_t)number : (uint64_t)number);
    nc_tir__print(&l->text, suffix);
}

/* Bring the upper n elements into that order, the deepest first, each named by its old place: one
 * by one, by three exchanges with the top, or fewer where it is one of them. */
static void nc_tir__reorder(nc_tir__lowering *l, const uint8_t *order, uint32_t n) {
    uint8_t now[16], kept;
    uint32_t i, k, found;
    if (n > 16) {
        l->status = NC_ERR_UNSUPPORTED;
        return;
    }
    for (i = 0; i < n; i++) now[i] = (uint8_t)i;
    for (i = 0; i < n; i++) {
        for (found = 0; now[found] != order[i];) found++;
        for (k = 0; k < 3 && found != i; k++) {
            const uint32_t with = k == 1 ? i : found;
            if (with == n - 1) continue;
            nc_tir__lower_number(l, "    swap ", n - 1 - with, "\n");
            kept = now[n - 1];
            now[n - 1] = now[with];
            now[with] = kept;
        }
    }
}

/* The upper n elements the other way round. */
static void nc_tir__reverse(nc_tir__lowering *l, uint64_t n) {
    uint8_t order[16];
    uint32_t i;
    for (i = 0; i < n && n <= 16; i++) order[i] = (uint8_t)(n - 1 - i);
    nc_tir__reorder(l, order, n <= 16 ? (uint32_t)n : 17);
}

/* What the template of an operation is for the target. The main branch has no dot steps: the
 * products are made from what lies in RAM at st1 (3 elements) and st0 (3 or 1). */
static const char *nc_tir__template(const nc_tir__lowering *l, const nc_tir__op *op) {
    const nc_tir__form *form = &nc_tir__forms[op->kind];
    if (l->target == NC_TIR_TARGET_TRITON_MAIN && op->kind == NC_TIR_FOLD_EXT)
        return "addi 2, read_mem 3, addi 4, swap 4, addi 2, read_mem 3, addi 4, place 6, xx_mul, "
               "pick 7, pick 7, pick 7, xx_add, pick 3, pick 4";
    if (l->target == NC_TIR_TARGET_TRITON_MAIN && op->kind == NC_TIR_FOLD_BASE)
        return "read_mem 1, addi 2, swap 2, addi 2, read_mem 3, addi 4, place 4, pick 3, xb_mul, "
               "pick 7, pick 7, pick 7, xx_add, pick 3, pick 4";
    if (l->target == NC_TIR_TARGET_TRISHA) return form->trisha ? form->trisha : form->trident;
    return l->target != NC_TIR_TARGET_TRIDENT && form->triton ? form->triton : form->trident;
}

/* Write a template: instructions with a comma between them; + before one that is written for each
 * field, - for each of the nine that is missing, ~ before the digits of an order. */
static void nc_tir__lower_template(nc_tir__lowering *l, const nc_tir__op *op, const char *form) {
    while (*form) {
        uint8_t order[16];
        uint32_t times = 1;
        size_t n;
        if (*form == '+') times = op->fields;
        if (*form == '-') times = op->fields < NC_TIR__HASHED ? NC_TIR__HASHED - op->fields : 0;
        for (form += *form == '+' || *form == '-', n = 0; form[n] && form[n] != ',';) n++;
        if (*form == '~') {
            for (times = 0; times + 1 < n; times++) order[times] = (uint8_t)(form[times + 1] - '0');
            nc_tir__reorder(l, order, times);
        } else {
            while (times-- > 0) nc_tir__lower_value(l, form, n, op);
        }
        form += form[n] ? n + 2 : n; /* over the comma and a blank */
    }
}

/* Instructions that stand for no operation. */
static void nc_tir__lower_fixed(nc_tir__lowering *l, const char *form) {
    static const nc_tir__op none = {NC_TIR_ADD, 0, 0, 0, 0, 0, 0};
    nc_tir__lower_template(l, &none, form);
}

/* -- trisha: RAM for what lies deeper than a machine reaches -- */

/* So many elements read or written, five at a time. */
static void nc_tir__lower_batch(nc_tir__lowering *l, const char *form, uint32_t count) {
    for (; count > 5; count -= 5) nc_tir__lower_number(l, form, 5, "\n");
    if (count) nc_tir__lower_number(l, form, count, "\n");
}

/* Leave the address of the first of so many cells that hold 0: those from 2^31 on, or what the
 * label finds. They are counted five at a time: a sum of their values could vanish. */
static void nc_tir__borrow(nc_tir__lowering *l, uint32_t cells) {
    const int64_t last = (INT64_C(1) << 31) + cells - 1;
    uint32_t left, n, i;
    if (!l->scratch) l->scratch = ++l->labels;
    nc_tir__lower_number(l, "    push ", cells, "\n");
    nc_tir__lower_number(l, "    push ", last, "\n");
    nc_tir__lower_number(l, "    push ", cells, "\n    push 0\n");
    nc_tir__lower_number(l, "    push ", last, "\n");
    for (left = cells; left; left -= n) {
        n = left < 5 ? left : 5;
        nc_tir__lower_number(l, "    read_mem ", n, "\n");
        nc_tir__lower_number(l, "    swap ", n + 1, "\n");
        for (i = 0; i < n; i++) nc_tir__lower_fixed(l, "swap 1, push 0, eq, add");
        nc_tir__lower_fixed(l, "swap 1");
    }
    nc_tir__lower_fixed(l, "pop 1");
    nc_tir__lower_number(l, "    push ", cells, "\n");
    nc_tir__lower_fixed(l, "eq, push 0, eq, skiz");
    nc_tir__lower_number(l, "    call __stack_scratch__", l->scratch, "\n");
    nc_tir__lower_fixed(l, "pop 1, swap 1, pop 1"); /* length of the run, and what was wanted */
    nc_tir__lower_number(l, "    push ", 1 - (int64_t)cells, "\n    add\n");
}

/* Instructions of nc_tir__borrow. */
static uint64_t nc_tir__borrow_length(uint64_t cells) {
    return 17 + 4 * cells + 3 * ((cells + 4) / 5);
}

/* Read so many cells back below the pointer, and write 0 where they were. */
static void nc_tir__give_back(nc_tir__lowering *l, uint32_t count) {
    uint32_t i, n;
    for (; count; count -= n) {
        n = count < 5 ? count : 5;
        nc_tir__lower_number(l, "    read_mem ", n, "\n");
        for (i = 0; i < n; i++) nc_tir__lower_fixed(l, "push 0");
        nc_tir__lower_number(l, "    dup ", n, "\n    push 1\n    add\n");
        nc_tir__lower_number(l, "    write_mem ", n, "\n    pop 1\n");
    }
}

/* One dup or swap. Of a deep one the elements above it go to RAM, but for those that the machine
 * reaches; the swap writes the old top into the deep one's place. */
static void nc_tir__access(nc_tir__lowering *l, uint64_t depth, int copy) {
    const uint32_t moved = (uint32_t)depth - (copy ? 14 : 13);
    if (depth < 16) {
        if (copy || depth)
            nc_tir__lower_number(l, copy ? "    dup " : "    swap ", (int64_t)depth, "\n");
        return;
    }
    nc_tir__borrow(l, moved + (uint32_t)copy);
    nc_tir__lower_batch(l, "    write_mem ", moved);
    if (copy) {
        nc_tir__lower_fixed(l, "dup 15, swap 1, write_mem 1, push -2, add");
        nc_tir__give_back(l, moved);
        nc_tir__lower_number(l, "    push ", moved + 1, "\n    add\n");
        nc_tir__give_back(l, 1);
    } else {
        nc_tir__lower_number(l, "    dup 0\n    push -", moved, "\n    add\n");
        nc_tir__lower_fixed(l, "read_mem 1, pop 1, swap 15, dup 1");
        nc_tir__lower_number(l, "    push -", moved, "\n    add\n");
        nc_tir__lower_fixed(l, "write_mem 1, pop 1, push -1, add");
        nc_tir__give_back(l, moved);
    }
    nc_tir__lower_fixed(l, "pop 1");
}

/* A run of dup, swap and pop that reaches deeper than 15, as one: how many operations it has (0:
 * not worth it), the elements it takes, and in l->order what it leaves, the deepest first, each by
 * its old place. */
typedef struct nc_tir__deep_run {
    uint32_t ops, width, length;
    const uint16_t *order;
} nc_tir__deep_run;

/* How deep one of them reaches, how the stack grows, and what it takes at least by itself; 0 for
 * other operations. */
static int nc_tir__weigh_move(const nc_tir__op *op, int64_t *reach, int64_t *change,
                              uint64_t *cost) {
    const int copy = op->kind == NC_TIR_DUP;
    const uint64_t cells = op->value - 13;
    if (op->kind == NC_TIR_POP) {
        *reach = (int64_t)op->value;
        *change = -*reach;
        *cost = (op->value + 4) / 5;
        return 1;
    }
    if (!copy && op->kind != NC_TIR_SWAP) return 0;
    *reach = (int64_t)op->value + 1;
    *change = copy;
    *cost = op->value < 16 ? (uint64_t)(copy || op->value) : 16 + 5 * cells + 7 * ((cells + 4) / 5);
    return 1;
}

/* What the first `count` operations leave of `reach` elements, in l->order; returns how many. */
static uint32_t nc_tir__run_moves(nc_tir__lowering *l, const nc_tir__op *ops, uint32_t count,
                                  uint32_t reach) {
    uint16_t *order = l->order, kept;
    uint32_t n = reach, i;
    for (i = 0; i < reach; i++) order[i] = (uint16_t)i;
    for (i = 0; i < count; i++) {
        const uint32_t value = (uint32_t)ops[i].value;
        if (ops[i].kind == NC_TIR_POP) {
            n -= value;
        } else if (ops[i].kind == NC_TIR_DUP) {
            order[n] = order[n - 1 - value];
            n++;
        } else {
            kept = order[n - 1];
            order[n - 1] = order[n - 1 - value];
            order[n - 1 - value] = kept;
        }
    }
    return n;
}

/* Instructions of nc_tir__lower_deep_run. */
static uint64_t nc_tir__deep_run_length(const nc_tir__deep_run *s) {
    uint64_t n = nc_tir__borrow_length(s->width) + (s->width + 4) / 5 + 3;
    uint32_t i;
    for (i = 0; i < s->length; i++) n += s->order[i] + 1u == s->width ? 4 : 6;
    return n + s->width + 2 * ((s->width + 4) / 5);
}

static void nc_tir__plan(nc_tir__lowering *l, const nc_tir__op *ops, uint32_t count,
                         nc_tir__deep_run *s) {
    int64_t reach = 0, height = 0, one, change;
    uint64_t cost = 0, more;
    uint32_t i, k, n, stay = 0;
    int deep = 0;
    memset(s, 0, sizeof *s);
    for (i = 0; i < count && i < NC_TIR__MAX_RUN; i++) {
        if (!nc_tir__weigh_move(&ops[i], &one, &change, &more)) break;
        deep |= ops[i].kind != NC_TIR_POP && ops[i].value > 15;
        if (one - height > reach) reach = one - height;
        height += change;
        if (reach > NC_TIR__MAX_REACH || reach + height > NC_TIR__MAX_REACH) return;
        cost += more;
    }
    if (!deep || i < 2) return;
    n = nc_tir__run_moves(l, ops, i, (uint32_t)reach);
    if (n == 0) return;
    memset(l->uses, 0, sizeof l->uses);
    for (k = 0; k < n; k++) l->uses[l->order[k]]++;
    /* what stays where it is and is needed nowhere else stays on the stack */
    while (stay < n && l->order[stay] == stay && l->uses[stay] == 1) stay++;
    for (k = stay; k < n; k++) l->order[k] = (uint16_t)(l->order[k] - stay);
    s->width = (uint32_t)reach - stay;
    s->length = n - stay;
    s->order = l->order + stay;
    if (s->width && nc_tir__deep_run_length(s) < cost) s->ops = i;
}

/* All elements go to RAM, are read from there as often as they are needed, and the cells get their
 * 0 back. */
static void nc_tir__lower_deep_run(nc_tir__lowering *l, const nc_tir__deep_run *s) {
    uint32_t i, k, n, left;
    nc_tir__borrow(l, s->width);
    nc_tir__lower_batch(l, "    write_mem ", s->width);
    nc_tir__lower_number(l, "    push -", s->width, "\n    add\n");
    for (i = 0; i < s->length; i++) {
        const uint32_t offset = s->width - 1 - s->order[i];
        nc_tir__lower_fixed(l, "dup 0");
        if (offset) nc_tir__lower_number(l, "    push ", offset, "\n    add\n");
        nc_tir__lower_fixed(l, "read_mem 1, pop 1, swap 1");
    }
    for (left = s->width; left; left -= n) {
        n = left < 5 ? left : 5;
        for (k = 0; k < n; k++) nc_tir__lower_fixed(l, "push 0");
        nc_tir__lower_number(l, "    swap ", n, "\n");
        nc_tir__lower_number(l, "    write_mem ", n, "\n");
    }
    nc_tir__lower_fixed(l, "pop 1");
}

/* The function that looks for cells that hold 0, from address 0 on, behind all others: [cells,
 * address, length of the run of zeros]. It ends where the address would become 0 again. */
static void nc_tir__lower_search(nc_tir__lowering *l) {
    nc_tir__lower_number(l, "    halt\n__stack_scratch__", l->scratch, ":\n");
    nc_tir__lower_fixed(l, "pop 2, push 0, push 0");
    nc_tir__lower_number(l, "    call __stack_scratch__", l->scratch, "__scan\n    return\n");
    nc_tir__lower_number(l, "__stack_scratch__", l->scratch, "__scan:\n");
    nc_tir__lower_fixed(l, "dup 1, read_mem 1, pop 1, push 0, eq, swap 1, push 1, add, mul, dup 0, "
                           "dup 3, eq, skiz, return, swap 1, push 1, add, dup 0, push 0, eq, "
                           "push 0, eq, assert, swap 1, recurse");
}

/* -- structure -- */

/* A line that is no instruction of a template. */
static NC__NOINLINE void nc_tir__lower_line(nc_tir__lowering *l, const char *prefix,
                                            const char *text, const char *suffix) {
    nc_tir__print(&l->text, prefix);
    nc_tir__print(&l->text, text);
    nc_tir__print(&l->text, suffix);
}

/* The same with a label, which gets two underscores unless it already has them. */
static void nc_tir__lower_label(nc_tir__lowering *l, const char *prefix, const char *label,
                                const char *suffix) {
    const int named = label[0] == '_' && label[1] == '_';
    nc_tir__lower_line(l, prefix, named ? "" : "__", label);
    nc_tir__print(&l->text, suffix);
}

/* Lines of asm as they stand, but for the white space around them; empty ones go. */
static void nc_tir__lower_asm(nc_tir__lowering *l, const char *text) {
    while (*text) {
        const char *end = text + strcspn(text, "\n"), *first = end, *behind = end, *at = text;
        while (at < end) {
            const size_t white = nc_tir__white(at, end);
            if (!white && first == end) first = at;
            at += white ? white : 1;
            if (!white) behind = at;
        }
        if (first < end) {
            nc_tir__print_line(&l->text, 2, first, (size_t)(behind - first));
            nc_tir__print(&l->text, "\n");
        }
        text = end + (*end != 0);
    }
}

static void nc_tir__defer(nc_tir__lowering *l, uint32_t first, uint32_t count, int branch) {
    nc_tir__deferred d;
    d.first = first;
    d.count = count;
    d.number = ++l->labels;
    d.branch = (uint8_t)branch;
    nc_tir__lower_number(
        l, branch == NC_TIR__ELSE ? "    skiz\n    call __else__" : "    skiz\n    call __then__",
        d.number, "\n");
    stbds_arrput(l->queue, d);
}

static void nc_tir__lower_range(nc_tir__lowering *l, uint32_t first, uint32_t count);

/* A loop that counts down to 0. `at` is its operation's index. */
static void nc_tir__lower_loop(nc_tir__lowering *l, uint32_t at) {
    const nc_tir__op *op = &l->program->ops[at];
    nc_tir__lower_label(l, "", l->program->texts.data + op->text, ":\n");
    nc_tir__lower_fixed(l, "dup 0, push 0, eq, skiz, return, push -1, add");
    nc_tir__lower_range(l, at + 1, op->body);
    nc_tir__print(&l->text, "    recurse\n\n");
}

/* Bodies deferred while a function was lowered, breadth first. */
static void nc_tir__lower_deferred(nc_tir__lowering *l) {
    l->deferring = 1;
    while (l->queue_done < stbds_arrlenu(l->queue)) {
        const nc_tir__deferred d = l->queue[l->queue_done++];
        if (d.branch == NC_TIR__BODY) {
            nc_tir__lower_loop(l, d.number);
            continue;
        }
        nc_tir__lower_number(l, d.branch == NC_TIR__ELSE ? "__else__" : "__then__", d.number,
                             ":\n");
        if (d.branch == NC_TIR__THEN) nc_tir__lower_fixed(l, "pop 1");
        nc_tir__lower_range(l, d.first, d.count);
        if (d.branch == NC_TIR__THEN) nc_tir__lower_fixed(l, "push 0");
        nc_tir__print(&l->text, "    return\n\n");
    }
    l->deferring = 0;
}

/* What the newest compiler calls for a target_call; null for one that it does not know. */
static const char *nc_tir__target_call(const char *name, uint64_t inputs, uint32_t outputs) {
    static const struct {
        const char *name, *label;
        uint8_t inputs, outputs;
    } calls[] = {
        {"triton_program_digest", "trisha_program_digest", 0, 5},
        {"triton_stark_verify_v1", "trisha_recursive_verify_v1", 5, 0},
        {"neptune_transaction_verify_v1", "trisha_neptune_transaction_verify_v1", 5, 0},
        {"neptune_native_currency_verify_v1", "trisha_neptune_native_currency_verify_v1", 15, 0}};
    size_t i;
    for (i = 0; i < sizeof calls / sizeof *calls; i++)
        if (!strcmp(name, calls[i].name) && inputs == calls[i].inputs &&
            outputs == calls[i].outputs)
            return calls[i].label;
    return NULL;
}

/* Main's parameters are read from the public input, and are what their types say. */
static void nc_tir__lower_leaves(nc_tir__lowering *l, const char *text) {
    while (*text) {
        nc_tir__lower_fixed(l, "read_io 1");
        if (*text == 'b')
            nc_tir__lower_fixed(l, "dup 0, dup 0, push -1, add, mul, push 0, eq, assert");
        if (*text == 'u') nc_tir__lower_fixed(l, "split, swap 1, push 0, eq, assert");
        text += strcspn(text, " ");
        text += *text == ' ';
    }
}

/* The words of an event, the first deepest: tag and words go out in this order, or are hashed. */
static void nc_tir__lower_event(nc_tir__lowering *l, const nc_tir__op *op) {
    uint8_t order[10];
    uint32_t i, n = op->fields;
    if (op->kind == NC_TIR_REVEAL) {
        if (n > 1) nc_tir__reverse(l, n);
        nc_tir__lower_template(l, op, "push #, write_io 1, +write_io 1");
        return;
    }
    if (n > NC_TIR__HASHED) {
        l->status = NC_ERR_UNSUPPORTED;
        return;
    }
    for (i = 0; i < NC_TIR__HASHED; i++)
        order[i] = (uint8_t)(i < NC_TIR__HASHED - n ? i + n : NC_TIR__HASHED - 1 - i);
    order[NC_TIR__HASHED] = NC_TIR__HASHED;
    nc_tir__lower_template(l, op, "-push 0, push #");
    nc_tir__reorder(l, order, 10);
    nc_tir__lower_fixed(l, "hash, write_io 5");
}

/* Operations of the newest compiler without a template; 0 for those that all have. */
static int nc_tir__lower_trisha(nc_tir__lowering *l, const nc_tir__op *op, uint32_t at) {
    const char *text = l->program->texts.data + op->text;
    nc_tir__deferred d;
    switch (op->kind) {
    case NC_TIR_DUP:
    case NC_TIR_SWAP: nc_tir__access(l, op->value, op->kind == NC_TIR_DUP); break;
    case NC_TIR_REVEAL:
    case NC_TIR_SEAL: nc_tir__lower_event(l, op); break;
    case NC_TIR_RAM_READ: /* the address is that of the first cell, read_mem's that of the last */
        if (op->value == 0) l->status = NC_ERR_UNSUPPORTED;
        if (op->value > 1)
            nc_tir__lower_number(l, "    push ", (int64_t)op->value - 1, "\n    add\n");
        nc_tir__lower_template(l, op, "read_mem #, pop 1");
        nc_tir__reverse(l, op->value);
        break;
    case NC_TIR_RAM_WRITE:
        nc_tir__reverse(l, op->value + 1);
        nc_tir__lower_template(l, op, "write_mem #, pop 1");
        break;
    case NC_TIR_LOOP: /* behind the function, like the branches */
        memset(&d, 0, sizeof d);
        d.number = at;
        d.branch = NC_TIR__BODY;
        stbds_arrput(l->queue, d);
        break;
    case NC_TIR_TARGET_CALL:
        nc_tir__lower_line(l, "    call @", nc_tir__target_call(text, op->value, op->fields), "\n");
        break;
    case NC_TIR_ENTRY_PARAMETERS: nc_tir__lower_leaves(l, text); break;
    default: return 0;
    }
    return 1;
}

/* Operations without a template. `at` is the operation's index. */
static void nc_tir__lower_structure(nc_tir__lowering *l, const nc_tir__op *op, uint32_t at) {
    const char *text = l->program->texts.data + op->text;
    if (l->target == NC_TIR_TARGET_TRISHA && nc_tir__lower_trisha(l, op, at)) return;
    switch (op->kind) {
    case NC_TIR_CALL:
        if (*text == '@') /* in another module */
            nc_tir__lower_line(l, "    call ", text, "\n");
        else
            nc_tir__lower_label(l, "    call ", text, "\n");
        break;
    case NC_TIR_IF_ELSE: /* the then branch takes the flag away from the else branch */
        nc_tir__lower_template(l, op, "push 1, swap 1");
        nc_tir__defer(l, at + 1, op->body, NC_TIR__THEN);
        nc_tir__defer(l, at + 1 + op->body, op->other, NC_TIR__ELSE);
        break;
    case NC_TIR_IF_ONLY: nc_tir__defer(l, at + 1, op->body, NC_TIR__ONLY); break;
    case NC_TIR_LOOP: nc_tir__lower_loop(l, at); break;
    case NC_TIR_FN_START: nc_tir__lower_label(l, "", text, ":\n"); break;
    case NC_TIR_FN_END:
        nc_tir__print(&l->text, "    \n");
        if (!l->deferring) nc_tir__lower_deferred(l); /* else the loop there goes on to them */
        break;
    case NC_TIR_ENTRY: nc_tir__lower_label(l, "    call ", text, "\n    halt\n\n"); break;
    case NC_TIR_COMMENT: nc_tir__lower_line(l, "    // ", text, "\n"); break;
    case NC_TIR_ASM: nc_tir__lower_asm(l, text); break;
    case NC_TIR_ASSERT:
        nc_tir__lower_template(l, op, op->value == 1 ? "assert" : "assert_vector");
        break;
    case NC_TIR_PROOF_BLOCK:
        nc_tir__lower_line(l, "    // proof_block ", text, "\n");
        l->plain++;
        nc_tir__lower_range(l, at + 1, op->body);
        l->plain--;
        nc_tir__print(&l->text, "    // end proof_block\n");
        break;
    default: l->status = NC_ERR_UNSUPPORTED; break; /* of the newest compiler only */
    }
}

static void nc_tir__lower_range(nc_tir__lowering *l, uint32_t first, uint32_t count) {
    uint32_t i = first;
    while (i < first + count && l->status == NC_OK) {
        const nc_tir__op *op = &l->program->ops[i];
        const char *form = nc_tir__template(l, op);
        nc_tir__deep_run s;
        if (nc_tir__is_machine(l) && nc_tir__forms[op->kind].argument == NC_TIR__A_INDEX &&
            op->value > 15)
            l->status = NC_ERR_UNSUPPORTED;
        s.ops = 0;
        if (l->target == NC_TIR_TARGET_TRISHA && !l->plain)
            nc_tir__plan(l, op, first + count - i, &s);
        if (s.ops)
            nc_tir__lower_deep_run(l, &s);
        else if (*form)
            nc_tir__lower_template(l, op, form);
        else
            nc_tir__lower_structure(l, op, i);
        if (l->text.used > NC_TIR__MAX_TEXT) l->status = NC_ERR_LIMIT;
        i += s.ops ? s.ops : 1 + op->body + op->other;
    }
}

/* What the newest compiler checks first: one entry at most, outside of functions and bodies, its
 * parameters right before it, calls that it knows, and no comment that is an error of an earlier
 * stage. */
static int nc_tir__is_legal(const nc_tir_program *p) {
    const size_t n = stbds_arrlenu(p->ops);
    size_t i, end = 0; /* of the body that the operation stands in, or before */
    int entries = 0, parameters = 0, in_function = 0;
    for (i = 0; i < n; i++) {
        const nc_tir__op *op = &p->ops[i];
        const char *text = p->texts.data + op->text;
        if (op->kind == NC_TIR_COMMENT && !strncmp(text, "ERROR:", 6)) return 0;
        if (op->kind == NC_TIR_TARGET_CALL && !nc_tir__target_call(text, op->value, op->fields))
            return 0;
        if (i >= end && op->kind == NC_TIR_FN_START) in_function = 1;
        if (i >= end && op->kind == NC_TIR_FN_END) in_function = 0;
        if (op->kind == NC_TIR_ENTRY || op->kind == NC_TIR_ENTRY_PARAMETERS) {
            if (i < end || in_function || entries) return 0;
            if (op->kind == NC_TIR_ENTRY)
                entries = 1;
            else if (parameters++ || i + 1 == n || p->ops[i + 1].kind != NC_TIR_ENTRY)
                return 0;
        }
        if (i >= end) end = i + 1 + op->body + op->other;
    }
    return 1;
}

NC_API nc_status nc_tir_lower(const nc_tir_program *program, nc_tir_target target, char **tasm) {
    nc_tir__lowering *l;
    nc_status status;
    if (!tasm) return NC_ERR_ARG;
    *tasm = NULL;
    if (!program || stbds_arrlenu(program->open) || (unsigned)target > NC_TIR_TARGET_TRISHA)
        return NC_ERR_ARG;
    if (target == NC_TIR_TARGET_TRISHA && !nc_tir__is_legal(program)) return NC_ERR_UNSUPPORTED;
    l = (nc_tir__lowering *)nc__calloc(NULL, sizeof *l);
    if (!l) return NC_ERR_MEMORY;
    l->program = program;
    l->target = target;
    nc_tir__lower_range(l, 0, (uint32_t)stbds_arrlenu(program->ops));
    if (target != NC_TIR_TARGET_TRISHA) nc_tir__lower_deferred(l);
    if (l->scratch) nc_tir__lower_search(l);
    stbds_arrfree(l->queue);
    status = l->status;
    if (status == NC_OK)
        status = nc_tir__deliver(&l->text, tasm);
    else
        nc__buffer_free(&l->text);
    nc__free(NULL, l, sizeof *l);
    return status;
}

/* >>tasm ========================================================================== */

/* -- the instructions -- */

/* Channels order effects: what an instruction reads or changes beside the stack. */
enum {
    NC_TIR__CHANNEL_NONE,
    NC_TIR__CHANNEL_PUBLIC_IN,
    NC_TIR__CHANNEL_SECRET,
    NC_TIR__CHANNEL_OUT,
    NC_TIR__CHANNEL_RAM,
    NC_TIR__CHANNEL_SPONGE,
    NC_TIR__CHANNELS
};

/* Arguments. */
enum {
    NC_TIR__ARG_NONE,
    NC_TIR__ARG_FIELD,
    NC_TIR__ARG_INDEX, /* 0 to 15, of a stack element */
    NC_TIR__ARG_LABEL,
    NC_TIR__ARG_POPS,  /* 1 to 5, elements popped beside the others */
    NC_TIR__ARG_PUSHES /* 1 to 5, elements pushed beside the others */
};

/* Flags. */
enum {
    NC_TIR__JUMPS = 1,       /* ends straight-line code */
    NC_TIR__CRASHES = 2,     /* may crash on its operands or inputs */
    NC_TIR__WRITES = 4,      /* changes its channel (else it only reads it) */
    NC_TIR__COMMUTES = 8,    /* in its two operands */
    NC_TIR__NO_RELEASE = 16, /* not in the released Triton VM */
    NC_TIR__VALUE = 32,      /* one result, which depends on the operands alone: nc_tir__value_of */
    NC_TIR__U32 = 64,        /* all results are below 2^32 */
    NC_TIR__READS_RAM = 128, /* beside its channel */
    NC_TIR__NO_MAIN = 256    /* not on the main branch */
};

/* What kind of instruction the network sees, in 3 bits: weights are trained for these numbers. */
enum {
    NC_TIR__CLASS_NONE = 0, /* jumps, which no block has */
    NC_TIR__CLASS_MOVE = 0,
    NC_TIR__CLASS_CONSTANT = 1,
    NC_TIR__CLASS_ARITHMETIC = 2,
    NC_TIR__CLASS_U32 = 3,
    NC_TIR__CLASS_HASH = 4,
    NC_TIR__CLASS_MEMORY = 5,
    NC_TIR__CLASS_IO = 6,
    NC_TIR__CLASS_ASSERT = 7
};

/* How the machine does an instruction: nc_tir__step_NAME. */
#define NC_TIR__STEPS(X) X(move) X(field) X(u32) X(hash) X(merkle) X(extension) X(io) X(jump)
enum {
#define NC_TIR__ENUM(name) NC_TIR__STEP_##name,
    NC_TIR__STEPS(NC_TIR__ENUM)
#undef NC_TIR__ENUM
};

/* All instructions of Triton VM (its specification, chapter Instructions): those that every version
 * has, those of the main branch, one that only the compiler knows, those of the releases. The
 * network counts them in this order. A row:
 *   X(NAME, text, opcode, ARGUMENT, pops, pushes, CHANNEL, ROWS, CLASS, step, flags)
 * ROWS in the static model: NC_TIR__ROWS_*. */
/* clang-format off */
#define NC_TIR__INSTRUCTIONS(X)                                                                    \
    X(PUSH, "push", 1, FIELD, 0, 1, NONE, STACK, CONSTANT, move, 0)                                \
    X(POP, "pop", 3, POPS, 0, 0, NONE, STACK, MOVE, move, 0)                                       \
    X(DIVINE, "divine", 9, PUSHES, 0, 0, SECRET, STACK, IO, io, NC_TIR__CRASHES | NC_TIR__WRITES)  \
    X(PICK, "pick", 17, INDEX, 0, 0, NONE, STACK, MOVE, move, 0)                                   \
    X(PLACE, "place", 25, INDEX, 0, 0, NONE, STACK, MOVE, move, 0)                                 \
    X(DUP, "dup", 33, INDEX, 0, 1, NONE, STACK, MOVE, move, 0)                                     \
    X(SWAP, "swap", 41, INDEX, 0, 0, NONE, STACK, MOVE, move, 0)                                   \
    X(HALT, "halt", 0, NONE, 0, 0, NONE, PLAIN, NONE, jump, NC_TIR__JUMPS)                         \
    X(NOP, "nop", 8, NONE, 0, 0, NONE, PLAIN, MOVE, move, 0)                                       \
    X(SKIZ, "skiz", 2, NONE, 1, 0, NONE, STACK, NONE, jump, NC_TIR__JUMPS)                         \
    X(CALL, "call", 49, LABEL, 0, 0, NONE, JUMP, NONE, jump, NC_TIR__JUMPS)                        \
    X(RETURN, "return", 16, NONE, 0, 0, NONE, JUMP, NONE, jump, NC_TIR__JUMPS)                     \
    X(RECURSE, "recurse", 24, NONE, 0, 0, NONE, JUMP, NONE, jump, NC_TIR__JUMPS)                   \
    X(RECURSE_OR_RETURN, "recurse_or_return", 32, NONE, 0, 0, NONE, JUMP, NONE, jump,              \
      NC_TIR__JUMPS)                                                                               \
    X(ASSERT, "assert", 10, NONE, 1, 0, NONE, STACK, ASSERT, field, NC_TIR__CRASHES)               \
    X(READ_MEM, "read_mem", 57, PUSHES, 1, 1, RAM, MEMORY, MEMORY, io, 0)                          \
    X(WRITE_MEM, "write_mem", 11, POPS, 1, 1, RAM, MEMORY, MEMORY, io, NC_TIR__WRITES)             \
    X(HASH, "hash", 18, NONE, 10, 5, NONE, HASH, HASH, hash, 0)                                    \
    X(ASSERT_VECTOR, "assert_vector", 26, NONE, 10, 5, NONE, STACK, ASSERT, field,                 \
      NC_TIR__CRASHES)                                                                             \
    X(SPONGE_INIT, "sponge_init", 40, NONE, 0, 0, SPONGE, INIT, HASH, hash, NC_TIR__WRITES)        \
    X(SPONGE_ABSORB, "sponge_absorb", 34, NONE, 10, 0, SPONGE, HASH, HASH, hash,                   \
      NC_TIR__CRASHES | NC_TIR__WRITES)                                                            \
    X(SPONGE_ABSORB_MEM, "sponge_absorb_mem", 48, NONE, 5, 5, SPONGE, ABSORB, HASH, hash,          \
      NC_TIR__CRASHES | NC_TIR__WRITES | NC_TIR__READS_RAM)                                        \
    X(SPONGE_SQUEEZE, "sponge_squeeze", 56, NONE, 0, 10, SPONGE, HASH, HASH, hash,                 \
      NC_TIR__CRASHES | NC_TIR__WRITES)                                                            \
    X(ADD, "add", 42, NONE, 2, 1, NONE, STACK, ARITHMETIC, field,                                  \
      NC_TIR__COMMUTES | NC_TIR__VALUE)                                                            \
    X(ADDI, "addi", 65, FIELD, 1, 1, NONE, PLAIN, ARITHMETIC, field, NC_TIR__VALUE)                \
    X(MUL, "mul", 50, NONE, 2, 1, NONE, STACK, ARITHMETIC, field,                                  \
      NC_TIR__COMMUTES | NC_TIR__VALUE)                                                            \
    X(INVERT, "invert", 64, NONE, 1, 1, NONE, STACK, ARITHMETIC, field,                            \
      NC_TIR__CRASHES | NC_TIR__VALUE)                                                             \
    X(EQ, "eq", 58, NONE, 2, 1, NONE, STACK, ARITHMETIC, field,                                    \
      NC_TIR__COMMUTES | NC_TIR__VALUE | NC_TIR__U32)                                              \
    X(SPLIT, "split", 4, NONE, 1, 2, NONE, STACK, ARITHMETIC, field, NC_TIR__U32)                  \
    X(LT, "lt", 6, NONE, 2, 1, NONE, U32, U32, u32, NC_TIR__CRASHES | NC_TIR__VALUE | NC_TIR__U32) \
    X(AND, "and", 14, NONE, 2, 1, NONE, U32, U32, u32,                                             \
      NC_TIR__CRASHES | NC_TIR__COMMUTES | NC_TIR__VALUE | NC_TIR__U32)                            \
    X(XOR, "xor", 22, NONE, 2, 1, NONE, U32, U32, u32,                                             \
      NC_TIR__CRASHES | NC_TIR__COMMUTES | NC_TIR__VALUE | NC_TIR__U32)                            \
    X(LOG2, "log_2_floor", 12, NONE, 1, 1, NONE, UNARY, U32, u32,                                  \
      NC_TIR__CRASHES | NC_TIR__VALUE | NC_TIR__U32)                                               \
    X(POW, "pow", 30, NONE, 2, 1, NONE, U32, U32, u32, NC_TIR__CRASHES | NC_TIR__VALUE)            \
    X(DIV_MOD, "div_mod", 20, NONE, 2, 2, NONE, U32, U32, u32, NC_TIR__CRASHES | NC_TIR__U32)      \
    X(POP_COUNT, "pop_count", 28, NONE, 1, 1, NONE, UNARY, U32, u32,                               \
      NC_TIR__CRASHES | NC_TIR__VALUE | NC_TIR__U32)                                               \
    X(XX_ADD, "xx_add", 66, NONE, 6, 3, NONE, PLAIN, ARITHMETIC, extension, 0)                     \
    X(XX_MUL, "xx_mul", 74, NONE, 6, 3, NONE, PLAIN, ARITHMETIC, extension, 0)                     \
    X(X_INVERT, "x_invert", 72, NONE, 3, 3, NONE, STACK, ARITHMETIC, extension, NC_TIR__CRASHES)   \
    X(XB_MUL, "xb_mul", 82, NONE, 4, 3, NONE, STACK, ARITHMETIC, extension, 0)                     \
    X(READ_IO, "read_io", 73, PUSHES, 0, 0, PUBLIC_IN, STACK, IO, io,                              \
      NC_TIR__CRASHES | NC_TIR__WRITES)                                                            \
    X(WRITE_IO, "write_io", 19, POPS, 0, 0, OUT, STACK, IO, io, NC_TIR__WRITES)                    \
    X(MERKLE_STEP, "merkle_step", 36, NONE, 6, 6, SECRET, MERKLE, IO, merkle,                      \
      NC_TIR__CRASHES | NC_TIR__WRITES)                                                            \
    X(MERKLE_STEP_MEM, "merkle_step_mem", 44, NONE, 8, 8, RAM, MERKLE_RAM, MEMORY, merkle,         \
      NC_TIR__CRASHES)                                                                             \
    X(B_HORNER, "b_horner_step", 80, NONE, 11, 11, RAM, PLAIN, MEMORY, extension,                  \
      NC_TIR__NO_RELEASE)                                                                          \
    X(X_HORNER, "x_horner_step", 88, NONE, 11, 11, RAM, PLAIN, MEMORY, extension,                  \
      NC_TIR__NO_RELEASE)                                                                          \
    X(OR, "or", 0, NONE, 2, 1, NONE, PLAIN, ARITHMETIC, u32,                                       \
      NC_TIR__CRASHES | NC_TIR__COMMUTES | NC_TIR__NO_RELEASE | NC_TIR__NO_MAIN | NC_TIR__VALUE |  \
          NC_TIR__U32)                                                                             \
    X(XX_DOT, "xx_dot_step", 80, NONE, 5, 5, RAM, STACK, MEMORY, extension, NC_TIR__NO_MAIN)       \
    X(XB_DOT, "xb_dot_step", 88, NONE, 5, 5, RAM, STACK, MEMORY, extension, NC_TIR__NO_MAIN)

enum {
#define NC_TIR__ENUM(NAME, text, opcode, ARG, pops, pushes, CHANNEL, ROWS, CLASS, step, flags)     \
    NC_TIR__I_##NAME,
    NC_TIR__INSTRUCTIONS(NC_TIR__ENUM)
#undef NC_TIR__ENUM
    NC_TIR__I_COUNT
};

typedef struct nc_tir__instruction {
    const char *name;
    uint8_t length, opcode, arg, pops, pushes, channel, class_, step;
    uint16_t flags;
    uint8_t rows[6]; /* of the tables of the static model, NC_TIR__H_* */
} nc_tir__instruction;

#define NC_TIR__ROWS_PLAIN {1, 0, 0, 0, 0, 0}
#define NC_TIR__ROWS_STACK {1, 0, 0, 1, 0, 0}
#define NC_TIR__ROWS_JUMP {1, 0, 0, 0, 0, 1}
#define NC_TIR__ROWS_MEMORY {2, 0, 0, 2, 0, 0} /* and one RAM row for each element */
#define NC_TIR__ROWS_U32 {1, 0, 33, 1, 0, 0}
#define NC_TIR__ROWS_UNARY {1, 0, 33, 0, 0, 0}
#define NC_TIR__ROWS_INIT {1, 6, 0, 0, 0, 0}
#define NC_TIR__ROWS_HASH {1, 6, 0, 1, 0, 0}
#define NC_TIR__ROWS_ABSORB {1, 6, 0, 1, 10, 0}
#define NC_TIR__ROWS_MERKLE {1, 6, 33, 0, 0, 0}
#define NC_TIR__ROWS_MERKLE_RAM {1, 6, 33, 0, 5, 0}
static const nc_tir__instruction nc_tir__table[] = {
#define NC_TIR__ROW(NAME, text, opcode, ARG, pops, pushes, CHANNEL, ROWS, CLASS, step, flags)      \
    {text, sizeof text - 1, opcode, NC_TIR__ARG_##ARG, pops, pushes,                               \
     NC_TIR__CHANNEL_##CHANNEL, NC_TIR__CLASS_##CLASS, NC_TIR__STEP_##step, flags,                 \
     NC_TIR__ROWS_##ROWS},
    NC_TIR__INSTRUCTIONS(NC_TIR__ROW)
#undef NC_TIR__ROW
};
/* clang-format on */
NC_TIR__STATIC(every_instruction_has_its_row,
               sizeof nc_tir__table / sizeof *nc_tir__table == NC_TIR__I_COUNT);

/* The tables of the static model, in the order of nc_tir_heights. */
enum {
    NC_TIR__H_PROCESSOR,
    NC_TIR__H_HASH,
    NC_TIR__H_U32,
    NC_TIR__H_OP_STACK,
    NC_TIR__H_RAM,
    NC_TIR__H_JUMP_STACK,
    NC_TIR__HEIGHTS
};
static const char *const nc_tir__height_names[NC_TIR__HEIGHTS] = {
    "processor", "hash", "u32", "op_stack", "ram", "jump_stack"};
/* nc_tir_heights is that many numbers and nothing else: they are copied to and from arrays. */
NC_TIR__STATIC(heights_are_an_array, sizeof(nc_tir_heights) == NC_TIR__HEIGHTS * sizeof(uint64_t));

/* One TASM instruction. A label argument is an index into the labels of its code; the argument of
 * an assertion is 0, or 1 + the index of its error id there. */
typedef struct nc_tir__tasm {
    uint64_t arg;
    uint32_t op;
    uint32_t line, column;
    uint32_t marks; /* 1 + the index of the first mark before it, or 0 */
} nc_tir__tasm;

static nc_tir__tasm nc_tir__make(uint32_t op, uint64_t arg) {
    nc_tir__tasm t;
    memset(&t, 0, sizeof t);
    t.op = op;
    t.arg = arg;
    return t;
}

static uint32_t nc_tir__pops(const nc_tir__tasm *t) {
    const nc_tir__instruction *i = &nc_tir__table[t->op];
    return i->pops + (i->arg == NC_TIR__ARG_POPS ? (uint32_t)t->arg : 0);
}

static uint32_t nc_tir__pushes(const nc_tir__tasm *t) {
    const nc_tir__instruction *i = &nc_tir__table[t->op];
    return i->pushes + (i->arg == NC_TIR__ARG_PUSHES ? (uint32_t)t->arg : 0);
}

/* Whether the argument is a number of elements: input, output, memory, pop. */
static int nc_tir__counts(const nc_tir__instruction *i) { return i->arg >= NC_TIR__ARG_POPS; }

/* Whether the u32 table of the static model has rows for it. */
static int nc_tir__costs_u32(uint32_t op) { return nc_tir__table[op].rows[NC_TIR__H_U32] != 0; }

/* -- reading and printing -- */

typedef struct nc_tir__label {
    size_t name;   /* where it stands among the names */
    int32_t value; /* instruction index, or -1 while only called */
} nc_tir__label;

/* What a debugger reads before an instruction: `hint name: type = stack[first..first + count]`, or
 * `break`, whose count is 0. */
typedef struct nc_tir__mark {
    size_t text; /* up to the type, where it stands among the names */
    uint64_t first, count;
    uint32_t number; /* in the text: copies have the same */
    uint32_t next;   /* 1 + the index of the next before the same instruction, or 0 */
} nc_tir__mark;

typedef struct nc_tir__code {
    nc_tir__tasm *list;    /* stb_ds array */
    nc_tir__label *labels; /* stb_ds array */
    size_t *ids;         /* stb_ds array: error ids in decimal, where they stand among the names */
    nc_tir__mark *marks; /* stb_ds array */
    uint32_t mark_count; /* marks in the text */
    uint32_t end_marks;  /* 1 + the index of the first behind the last instruction, or 0 */
    nc__buffer names;    /* each ended by NUL */
    nc__index index;     /* of the labels */
} nc_tir__code;

static void nc_tir__code_free(nc_tir__code *code) {
    stbds_arrfree(code->list);
    stbds_arrfree(code->labels);
    stbds_arrfree(code->ids);
    stbds_arrfree(code->marks);
    nc__buffer_free(&code->names);
    nc__index_free(&code->index);
}

static const char *nc_tir__name(const nc_tir__code *code, uint64_t label) {
    if (!code || !code->labels || !code->names.data) return ""; /* no label, no id */
    return code->names.data + code->labels[label].name;
}

/* n instructions more at the end of an stb_ds array. */
static void nc_tir__add_code(nc_tir__tasm **list, const nc_tir__tasm *code, size_t n) {
    if (n) memcpy(stbds_arraddnptr(*list, n), code, n * sizeof *code);
}

/* The label of a name of n characters, a new one where there is none; UINT32_MAX: out of memory. */
static uint32_t nc_tir__label_of(nc_tir__code *code, const char *name, size_t n) {
    const uint32_t hash = (uint32_t)nc__mix(nc__fnv1a(NC__FNV_START, name, n));
    nc_tir__label label;
    size_t at = hash;
    uint32_t id;
    while ((id = nc__index_next(&code->index, hash, &at)) != UINT32_MAX)
        if (nc_tir__is(name, n, nc_tir__name(code, id))) return id;
    id = (uint32_t)stbds_arrlenu(code->labels);
    label.name = code->names.used;
    label.value = -1;
    nc__buffer_put(&code->names, name, n);
    nc__buffer_put(&code->names, "", 1);
    if (code->names.status != NC_OK || !nc__index_add(&code->index, hash, id)) return UINT32_MAX;
    stbds_arrput(code->labels, label);
    return id;
}

static int nc_tir__find_op(const char *text, size_t n) {
    int i;
    for (i = 0; i < NC_TIR__I_COUNT; i++)
        if (nc_tir__table[i].length == n && nc_tir__table[i].name[0] == *text &&
            memcmp(nc_tir__table[i].name, text, n) == 0)
            return i;
    return -1;
}

NC__COLD_BEGIN

/* -- letters beyond ASCII: what Unicode 17.0 calls alphabetic, numeric, and a small letter -- */

/* Runs of code points: how far the first lies behind the run before, then twice how many follow it,
 * plus 1 where only every second one is meant. Numbers to the base 28, digits from '#' on, the last
 * one from ']' on. Made from char::is_alphabetic, is_numeric and is_lowercase of Rust 1.95. */
static const char nc_tir__alphabetic[] =
    "$k]g]a]b$m^%a^$'oasked`&_]$^$c^__c^]c]^a^]^$g^(u^,ue.s^%o_]c%u$hw^]^_^_^]e$uac$^qb&w^ik*c^ka"
    "kaaga_]m&gj*au%ef_a]b$o_$ep$qdqb$o^id]e%wgs`ic(g^$_^aa$]j$e^k___$k^i^]`c`k____^]e]a_^ei_g]aa"
    "^ga__$k^i^_^_^_aea___a]dc^]ngha^m^a^$k^i^_^e`m^a^_`]lcrcaa^k___$k^i^_^e`k____f_a_^ej]m_^g`a^"
    "c`_^]^_`_`a`sae`a^a`]c]$iu^a^$m^$_`k^a^ae_^a^__c$]c^k^a^$m^o^e`k^a^ae_ba^cjaiu^a^%u_k^a^a^]b"
    "cdesg^a^$c`$o^m^]_ieg^]^ko_j'_bic]$t_^]^e^$o^]^$e^a_e^]c]kc$a]%dk^%ka$ea$_^%k%h&u^]_em'kgc_%"
    "o^]b]_&]^:q^c_i^]^c_%u^c_%e^c_i^]^c_$]^']^c_'q$f$_m)__g`$3c_$a^$sb(e`qd$gh$ii$giu^a^_i&o_$ek"
    "]a]%h)ed&]b'wg%a^samt%__eh&_a$s$w$wa'i_$g$s]t_ha$r&o^$]^k$t%w_cg&_^qk&usag%k_qb&]_a$jc^g^_`]"
    "b0op%gh6s_g_%o_g_k^b^%a_&q^i^]`a^i`c_gauba^i'a]j]mu&n]a]_o^]`ecb^c^q_cbea]n%u$$^&o%+s3ecc`_i"
    "%o^]b]_&wd]m$mfi^i^i^i^i^i^i^i^%c$p]3ravmde_ea)_ca^)g^cb&]^)on%c$q$_5e39s%e%#1m%h&c_6a`$_g_q"
    "&ebk`+]$hm_*e_(sq$i^%eu&oi's^]$mg`]^ag%eb%ij%]`&m^sl]m$_ge^&ufwo$m`'u^`ua_$__chg_g_gfi^i^&]^"
    "wc+qr$#0wi$ma&i-8u=__*k$giiebs^u^e^]^_^_^*o$b<uo'k_&s$is'ae^,m$e$sc$sh)e`g_g_g_a$ds^$s^$e^_^"
    "$]_w$c+q%j&q,l%]`&i$p%cj%_b&]b%__%kak^e$k.co%ka%ka%se&oiq^$]^i^_^q^$]^i^_`&oi9af$kgkug^%w^m%"
    "jg_]^&_^_`]_$mg$mf%a%f$e^_g$kg$sc$s$g&wc_%ec^_bk^a^%]$k%]`%]$dk^$wx&sg$kg$ej$c&w(a$x&mj&mj%s"
    "$c$w`]b$m+w%w^_`_mg$sa`%]g]e$k$k$c$o$ix$mf'w$leg']f]j$qt&mnce%i`]f'k^cf_g`$d$c^%g_]cc%ci^]^c"
    "^$]^od']tc^k___$k^i^_^e`k____`]c]bi$]o^]_]^%o^o^]_]^c^_``$m'o^a^cqa$_'o__^])m&s_ivg$c'i^]`]%"
    "`&s_]%l$u_wri)n']&p'k$`k_]_k^_^%_^____c&fk_&c_g^]^_x&m_on(_b]o(a&pk&a%e$`m^&a^i^]$r%__$k^w%n"
    "i^_^&_`]^_^a^]__ug^_^%m^_^c^]t&_,e$mf$a^%u`a&x]%t%,s&o*un0w&-a)ul%7kngv-(eb$0m+7f&e%)f$/md%a"
    "n(mn%_o&gmc$`$ib$e2i&a*l'k$a$q_$q$m(ea']d$a%e_^]iif5:c$j%c&j+a.%rc^i^_^7ql]$^a_]kce$#c%=i*mb"
    "u`mdoa]*4r)]^(]^__]___c^s^]^i^'m^c_k^i^$w^c^e^]`i^;c_$q^$q^%a^$q^%a^$q^%a^$q^%a^$q^k%,u%acg*"
    "ni^$a_i^_^eb'g$b]']&agim].j%_o&_4e$w+a%__]*h%a^$ke_+]i^c^_^$]^1]%`'s`]`]$2]c^$u^_^]_]^o^c^`c"
    "]ab^a^_^]_f^_^]_c^i^c^c^]^o^$aba^e^$a9i$sc$sc$s'7c&;>g$a.'w_17g_6$ql$3g&'_$-o$<s/3qb85g";
static const char nc_tir__numeric[] =
    "$s_b]_a$:jo'so*_o1qo'coag&uo'co'co_g&wu'`oei&po&qid$e&vo&io'co%k$g,mo%ko<p$g$&ja+locoso-qo'm"
    "q(voco)ko&_o'soco$,g]`gco*_&m_e<w'c%s$k9k%_$8j]>r]vmka/dc'wo$_k^$]$ao$h$]$,5uo)qo.ig(ko$go*_"
    "oso&_o1ko>&oo4n&ai']n_/b$u$ec$^]e]'se*co$(okvi$hm%pesg(q__$__&c%em$u_$_a%pe&qkuk$ji.sg$qoco,"
    "w%a(oo$kc']i's%_'mo%ao(aod$g+xo/co'co0go&ooc$g%qs2]$e&fo:oo&_%]+`o%ko$wo/so&o$i$-`*u6:jo%>oo"
    "&_o'so^i5so,g$m/ja$%-^o$;s$gi$g&u$q$.n&k&#mo2_o4wo+to<mm'mo$#d'a^a^c%q&a^$]$)gu&2lo";
static const char nc_tir__lower[] =
    "$k]g]a]$e$o^k^$v^_^j^_^$n_`^a_`_]`_a]_]`a_]_b_]^_^]_]``___ac]_]_l^_^l^__``%^^i_]__^]ad^'u_%i"
    "d_$_e&i]$l``]_co]x%i^_`a^r^e^]_]__$t&g^$bf$v_h^_^&h$q%u&6`&]^c>ag%8sm^]'b0o%f(d^m^&h^meggkek"
    "eggkekew_kekekee^_c]`a^_ec__ekga^_'f]j]mu&v]`_`]x]a]a]__eca]$b$_a]$%`$s%-k&g^]`_^ba]^_^k`&j^"
    "_d`a]i%o^]b]$.1x$npv^a'rh^a^%`^o^`_fa`_]^a^pb]bla`_lrc^]^a$$f&]^wc(o<;miie$-^$s$2v%s'u%k(lq^"
    "$]^i^_3`]_a^%w^m$4v&m'j$k&5o%c><q%c%`$q$($w$swi^$cw$swc^]^i^qw$sw$sw$sw$sw$sw$sw$sw$sw$w$]$q"
    "^gw$q^gw$q^gw$q^gw$q^g^]%,uo^$gcg,f'g%:m%g";

static int nc_tir__is_in(const char *runs, uint32_t code) {
    uint32_t first = 128, value = 0, begun = 0;
    for (; *runs; runs++) {
        if (*runs < ']') {
            value = 28 * (value + (uint32_t)(*runs - '#'));
            continue;
        }
        value += (uint32_t)(*runs - ']');
        first += begun ? 0 : value;
        if (begun) {
            const uint32_t step = 1 + (value & 1), last = first + value / 2 * step;
            if (code <= last) return code >= first && (code - first) % step == 0;
            first = last + 1;
        }
        begun = !begun;
        value = 0;
    }
    return 0;
}

/* The code point at `at`, in UTF-8 of *n bytes; 0 for none beyond ASCII. */
static uint32_t nc_tir__code_point(const char *at, const char *end, size_t *n) {
    static const uint32_t least[5] = {0, 0, 0x80, 0x800, 0x10000};
    const uint32_t c = (uint8_t)*at;
    uint32_t code;
    size_t i;
    *n = c >= 0xf0 ? 4 : c >= 0xe0 ? 3 : 2;
    if (c < 0xc2 || c > 0xf4 || (size_t)(end - at) < *n) return 0;
    code = c & (0xffu >> (*n + 1));
    for (i = 1; i < *n; i++) {
        if (((uint8_t)at[i] & 0xc0) != 0x80) return 0;
        code = code << 6 | ((uint8_t)at[i] & 0x3f);
    }
    return code < least[*n] || code > 0x10ffff || code >> 11 == 0x1b ? 0 : code;
}

/* The length of a letter beyond ASCII, inside a name of a digit too; or 0. */
static size_t nc_tir__letter(const char *at, const char *end, int inside) {
    size_t n;
    const uint32_t code = nc_tir__code_point(at, end, &n);
    return nc_tir__is_in(nc_tir__alphabetic, code) ||
                   (inside && nc_tir__is_in(nc_tir__numeric, code))
               ? n
               : 0;
}

/* The length of what may stand in the name of a hint; or 0. */
static size_t nc_tir__small_letter(const char *at, const char *end, int inside) {
    size_t n = 1;
    uint32_t code;
    if ((uint8_t)*at < 128)
        return (*at >= 'a' && *at <= 'z') || *at == '_' || (inside && nc__is_digit(*at));
    code = nc_tir__code_point(at, end, &n);
    return nc_tir__is_in(nc_tir__lower, code) || (inside && nc_tir__is_in(nc_tir__numeric, code))
               ? n
               : 0;
}

NC__COLD_END

/* What text is read for. */
enum {
    NC_TIR__FOR_ROWS, /* to be measured: instructions of any machine, stack indices beyond 15, which
                         the compiler emits but nothing runs, labels of other modules, with @ */
    NC_TIR__FOR_PROOF, /* instructions of any machine */
    NC_TIR__FOR_RELEASE,
    NC_TIR__FOR_MAIN
};

/* TASM while it is read. A NUL stands at its end. */
typedef struct nc_tir__parser {
    nc__text text;
    nc_tir__code *code;
    int purpose;
    int may_have_id;     /* the last token was an assertion */
    uint32_t last_mark;  /* 1 + the index of the last mark before the next instruction, or 0 */
    uint32_t first_mark; /* and of the first */
} nc_tir__parser;

/* A comment that starts at t->at, which is its slash; 0 where there is none. One that starts with
 * two slashes ends before the end of its line, and may be empty, which the machine refuses. */
static int nc_tir__skip_comment(nc__text *t) {
    const char *at = t->at;
    if (at[1] == '/') {
        t->at += strcspn(at, "\n\r");
        return 1;
    }
    if (at[1] != '*') return 0;
    if (!strstr(at + 2, "*/")) {
        (void)nc_tir__bad(t, at, "a comment without end");
        return 0;
    }
    for (nc__step(t), nc__step(t); t->at[0] != '*' || t->at[1] != '/';) nc__step(t);
    t->at += 2;
    return 1;
}

/* Over white space and, where `comments` is 1, comments; 1 when there was any, or the text ends
 * here. */
static int nc_tir__skip(nc__text *t, int comments) {
    const char *start = t->at;
    for (;;) {
        const char c = *t->at;
        if (c == ' ') {
            t->at++;
        } else if (c == '\n') {
            t->line_start = ++t->at;
            t->line++;
        } else if (c == '/') {
            if (!comments || !nc_tir__skip_comment(t)) break;
        } else {
            const size_t n = c > ' ' && c < 127 ? 0 : nc_tir__white(t->at, t->end);
            if (n == 0) break;
            t->at += n;
        }
    }
    return t->at > start || t->at == t->end;
}

/* Length of the letters of a label or an instruction at `at`: a letter or _, then letters, digits,
 * _ and -. Where rows are measured a label may be one of another module. */
static size_t nc_tir__name_length(const nc_tir__parser *p, const char *at) {
    const char *start = at;
    if (p->purpose == NC_TIR__FOR_ROWS) at += *at == '@' ? 1 : strncmp(at, "__@", 3) ? 0 : 3;
    for (;;) {
        const char c = *at;
        size_t n;
        if (nc__is_letter(c) || ((nc__is_digit(c) || c == '-') && at > start)) {
            at++;
        } else if ((uint8_t)c < 128 || (n = nc_tir__letter(at, p->text.end, at > start)) == 0) {
            return (size_t)(at - start);
        } else {
            at += n;
        }
    }
}

/* Whether no label may have that name on the machine. */
static int nc_tir__is_reserved(const nc_tir__parser *p, const char *name, size_t n) {
    const int op = nc_tir__find_op(name, n);
    const int lacks = p->purpose == NC_TIR__FOR_MAIN ? NC_TIR__NO_MAIN : NC_TIR__NO_RELEASE;
    return (op >= 0 && !(nc_tir__table[op].flags & lacks)) || nc_tir__is(name, n, "hint") ||
           nc_tir__is(name, n, "error_id") || nc_tir__is(name, n, "error_message");
}

/* NC_ERR_FORMAT at a place that has been passed. */
static nc_status nc_tir__bad_before(nc_tir__parser *p, const nc__text *place, const char *what) {
    p->text = *place;
    return nc_tir__bad(&p->text, place->at, what);
}

/* A label of n characters at `start`, or the call of one. */
static uint32_t nc_tir__find_label(nc_tir__parser *p, const nc__text *start, size_t n) {
    uint32_t label;
    if (nc_tir__is_reserved(p, start->at, n)) {
        (void)nc_tir__bad_before(p, start, "no label may have the name of an instruction");
        return UINT32_MAX;
    }
    label = nc_tir__label_of(p->code, start->at, n);
    if (label == UINT32_MAX || !p->code->labels) {
        (void)nc__text_fail(&p->text, NC_ERR_MEMORY, "out of memory");
        return UINT32_MAX;
    }
    return label;
}

static void nc_tir__read_label(nc_tir__parser *p, const nc__text *start, size_t n) {
    const uint32_t label = nc_tir__find_label(p, start, n);
    if (label == UINT32_MAX) return;
    if (p->code->labels[label].value >= 0)
        (void)nc_tir__bad_before(p, start, "label is defined twice");
    else
        p->code->labels[label].value = (int32_t)stbds_arrlen(p->code->list);
}

/* Decimal digits as a number; 0 where there are none, or where it is larger than `most`. */
static int nc_tir__digits(nc__text *t, uint64_t most, uint64_t *value) {
    const char *start = t->at;
    uint64_t v = 0;
    for (; nc__is_digit(*t->at); t->at++) {
        const uint64_t digit = (uint64_t)(*t->at - '0');
        if (digit > most || v > (most - digit) / 10) return 0;
        v = 10 * v + digit;
    }
    *value = v;
    return t->at > start;
}

/* A field element: an integer between -p and p, + or - before it; -a means p - a. */
static int nc_tir__read_field(nc__text *t, uint64_t *value) {
    const int negative = *t->at == '-';
    if (negative || *t->at == '+') t->at++;
    if (!nc_tir__digits(t, NC_GL_P - 1, value)) return 0;
    if (negative) *value = nc_gl_neg(*value);
    return 1;
}

/* What an instruction needs behind its name, where t->at is. */
static void nc_tir__read_argument_of(nc_tir__parser *p, const nc_tir__instruction *table,
                                     nc_tir__tasm *i) {
    nc__text *t = &p->text;
    const nc__text start = *t;
    const uint64_t least = nc_tir__counts(table) ? 1 : 0;
    const uint64_t most = least ? 5 : p->purpose == NC_TIR__FOR_ROWS ? 255 : 15;
    int ok;
    if (table->arg == NC_TIR__ARG_LABEL) {
        const size_t n = nc_tir__name_length(p, t->at);
        if (n == 0) {
            (void)nc_tir__bad(t, t->at, "not a label");
            return;
        }
        i->arg = nc_tir__find_label(p, &start, n);
        t->at += t->status == NC_OK ? n : 0;
        ok = 1;
    } else if (table->arg == NC_TIR__ARG_FIELD) {
        ok = nc_tir__read_field(t, &i->arg);
    } else {
        ok = nc_tir__digits(t, most, &i->arg) && i->arg >= least &&
             (*start.at != '0' || t->at == start.at + 1);
    }
    if (t->status == NC_OK && (!ok || !nc_tir__skip(t, 1)))
        (void)nc_tir__bad_before(p, &start,
                                 table->arg == NC_TIR__ARG_LABEL   ? "not a label"
                                 : table->arg == NC_TIR__ARG_FIELD ? "not a field element"
                                 : least                           ? "the argument must be 1 to 5"
                                 : most == 15                      ? "the argument must be 0 to 15"
                                              : "the argument must be 0 to 255");
}

/* The instruction `op` whose name stood at `start`; `behind` is where it ended. */
static void nc_tir__read_instruction(nc_tir__parser *p, uint32_t op, const nc__text *start,
                                     const nc__text *behind) {
    const nc_tir__instruction *table = &nc_tir__table[op];
    nc_tir__tasm i = nc_tir__make(op, 0);
    if (p->purpose == NC_TIR__FOR_RELEASE && (table->flags & NC_TIR__NO_RELEASE)) {
        (void)nc_tir__bad_before(p, start, "no release of Triton VM has this instruction");
    } else if (p->purpose == NC_TIR__FOR_MAIN && (table->flags & NC_TIR__NO_MAIN)) {
        (void)nc_tir__bad_before(p, start, "the main branch of Triton VM lacks this instruction");
    } else if (stbds_arrlenu(p->code->list) >= 1u << 22) {
        (void)nc__text_fail(&p->text, NC_ERR_LIMIT, "more than 2^22 instructions");
    } else if (table->arg != NC_TIR__ARG_NONE) {
        if (p->text.at == p->text.end)
            (void)nc_tir__bad_before(p, behind, "the instruction needs an argument");
        else
            nc_tir__read_argument_of(p, table, &i);
    }
    if (p->text.status != NC_OK) return;
    i.line = (uint32_t)start->line;
    i.column = (uint32_t)(start->at - start->line_start) + 1;
    i.marks = p->first_mark;
    p->first_mark = p->last_mark = 0;
    p->may_have_id = op == NC_TIR__I_ASSERT || op == NC_TIR__I_ASSERT_VECTOR;
    stbds_arrput(p->code->list, i);
}

NC__COLD_BEGIN

/* -- error ids, hints and breaks: what the machine keeps for those who look for faults -- */

/* An error id, an integer of 128 bits, belongs to the assertion right before it. The same one is
 * not kept again where it is among the last. */
static void nc_tir__read_error_id(nc_tir__parser *p, const nc__text *start) {
    static const char *const most[2] = {"170141183460469231731687303715884105727",
                                        "170141183460469231731687303715884105728"};
    nc_tir__code *code = p->code;
    nc__text *t = &p->text;
    const nc__text number = *t;
    const int negative = *t->at == '-';
    const char *digits;
    const size_t text = code->names.used, ids = stbds_arrlenu(code->ids);
    const size_t least = ids > 64 ? ids - 64 : 0;
    size_t n, i;
    if (!p->may_have_id) {
        (void)nc_tir__bad_before(p, start, "an error id must follow an assertion");
        return;
    }
    if (negative || *t->at == '+') t->at++;
    digits = t->at;
    while (nc__is_digit(*t->at)) t->at++;
    n = (size_t)(t->at - digits);
    for (; n > 1 && *digits == '0'; n--) digits++;
    if (n == 0 || n > 39 || (n == 39 && strncmp(digits, most[negative], 39) > 0) ||
        !nc_tir__skip(t, 1)) {
        (void)nc_tir__bad_before(p, &number, "not an error id: an integer of 128 bits");
        return;
    }
    if (negative && *digits != '0') nc__buffer_put(&code->names, "-", 1);
    nc__buffer_put(&code->names, digits, n);
    nc__buffer_put(&code->names, "", 1);
    if (code->names.status != NC_OK) {
        (void)nc__text_fail(t, NC_ERR_MEMORY, "out of memory");
        return;
    }
    for (i = ids; i > least; i--)
        if (!strcmp(code->names.data + code->ids[i - 1], code->names.data + text)) break;
    if (i == least) {
        stbds_arrput(code->ids, text);
        i = ids + 1;
    }
    stbds_arrlast(code->list).arg = i;
    p->may_have_id = 0;
}

/* A mark before the next instruction. */
static void nc_tir__add_mark(nc_tir__parser *p, size_t text, uint64_t first, uint64_t count) {
    nc_tir__code *code = p->code;
    nc_tir__mark mark;
    mark.text = text;
    mark.first = first;
    mark.count = count;
    mark.number = code->mark_count++;
    mark.next = 0;
    stbds_arrput(code->marks, mark);
    if (p->last_mark)
        code->marks[p->last_mark - 1].next = (uint32_t)stbds_arrlenu(code->marks);
    else
        p->first_mark = (uint32_t)stbds_arrlenu(code->marks);
    p->last_mark = (uint32_t)stbds_arrlenu(code->marks);
}

/* A type, as deep as 64 brackets: stars, a name, and types between < and >. */
static void nc_tir__read_type(nc_tir__parser *p, int depth) {
    nc__buffer *out = &p->code->names;
    nc__text *t = &p->text, behind;
    const char *start = t->at;
    int space;
    while (*t->at == '*') t->at++;
    if (!nc__is_letter(*t->at) || depth == 64) {
        (void)nc_tir__bad(t, t->at, depth == 64 ? "a type of more than 64 types" : "not a type");
        return;
    }
    while (nc__is_letter(*t->at) || nc__is_digit(*t->at)) t->at++;
    nc__buffer_put(out, start, (size_t)(t->at - start));
    behind = *t;
    (void)nc_tir__skip(t, 1);
    if (*t->at != '<') { /* comments may stand before a bracket only */
        if (t->status == NC_OK) *t = behind;
        return;
    }
    t->at++;
    space = nc_tir__skip(t, 1);
    if (*t->at == '>' && space) {
        t->at++;
        return;
    }
    for (start = "<"; t->status == NC_OK; start = ", ") {
        nc__buffer_put(out, start, strlen(start));
        nc_tir__read_type(p, depth + 1);
        (void)nc_tir__skip(t, 1);
        if (*t->at == ',') {
            t->at++;
            (void)nc_tir__skip(t, 1);
            if (*t->at != '>') continue;
        }
        if (*t->at != '>') {
            (void)nc_tir__bad(t, t->at, "expected , or >");
            return;
        }
        nc__buffer_put(out, ">", 1);
        t->at++;
        return;
    }
}

/* One of these characters, and what may be skipped behind it; else the hint is none. */
static int nc_tir__expect(nc__text *t, const char *word, int comments) {
    const size_t n = strlen(word);
    if (t->status != NC_OK) return 0;
    if (strncmp(t->at, word, n) != 0)
        return (void)nc__text_fail(t, NC_ERR_FORMAT, "a hint needs %s here", word), 0;
    t->at += n;
    if (comments) (void)nc_tir__skip(t, 1);
    return 1;
}

/* `hint name: type = stack[first..end]`; type and end may be missing. */
static void nc_tir__read_hint(nc_tir__parser *p) {
    nc__buffer *out = &p->code->names;
    nc__text *t = &p->text;
    const size_t text = out->used;
    const char *start = t->at;
    uint64_t first = 0, end = 0;
    size_t n;
    while ((n = nc_tir__small_letter(t->at, t->end, t->at > start)) > 0) t->at += n;
    if (t->at == start) {
        (void)nc_tir__bad(t, start, "a hint needs a name of small letters");
        return;
    }
    nc__buffer_put(out, start, (size_t)(t->at - start));
    (void)nc_tir__skip(t, 0);
    if (*t->at == ':') {
        (void)nc_tir__expect(t, ":", 1);
        nc__buffer_put(out, ": ", 2);
        nc_tir__read_type(p, 0);
        (void)nc_tir__skip(t, 0);
    }
    nc__buffer_put(out, "", 1);
    if (!nc_tir__expect(t, "=", 1) || !nc_tir__expect(t, "stack", 0) || !nc_tir__expect(t, "[", 1))
        return;
    n = nc_tir__digits(t, UINT64_MAX, &first) ? 1 : 0;
    (void)nc_tir__skip(t, 0);
    end = first + 1;
    if (n && !strncmp(t->at, "..", 2)) {
        (void)nc_tir__expect(t, "..", 1);
        n = nc_tir__digits(t, UINT64_MAX, &end) && end > first ? 1 : 0;
        (void)nc_tir__skip(t, 0);
    }
    if (n == 0)
        (void)nc_tir__bad(t, t->at, "a hint needs elements of the stack");
    else if (nc_tir__expect(t, "]", 1))
        nc_tir__add_mark(p, text, first, end - first);
}

NC__COLD_END

/* -- whole programs -- */

/* A label, an instruction, an error id, a hint or a break. */
static void nc_tir__read_token(nc_tir__parser *p) {
    nc__text *t = &p->text, behind;
    const nc__text start = *t;
    const size_t n = nc_tir__name_length(p, t->at);
    int op, apart;
    if (n == 0) {
        (void)nc_tir__bad(t, t->at, "expected a label or an instruction");
        return;
    }
    t->at += n;
    behind = *t;
    (void)nc_tir__skip(t, 0);
    if (*t->at == ':') {
        t->at++;
        p->may_have_id = 0;
        nc_tir__read_label(p, &start, n);
        return;
    }
    apart = nc_tir__skip(t, 1) || t->at > behind.at;
    if (t->status != NC_OK) return;
    op = apart ? nc_tir__find_op(start.at, n) : -1;
    if (op >= 0) {
        nc_tir__read_instruction(p, (uint32_t)op, &start, &behind);
    } else if (apart && nc_tir__is(start.at, n, "error_id")) {
        nc_tir__read_error_id(p, &start);
    } else {
        p->may_have_id = 0;
        if (apart && nc_tir__is(start.at, n, "hint"))
            nc_tir__read_hint(p);
        else if (apart && nc_tir__is(start.at, n, "break"))
            nc_tir__add_mark(p, 0, 0, 0);
        else
            (void)nc_tir__bad_before(p, &start, "unknown instruction");
    }
}

/* Read TASM as the machine's own parser does (triton-isa, parser.rs); the code is to be freed
 * whatever the status. */
static nc_status nc_tir__read_tasm(const char *text, int purpose, nc_tir__code *code,
                                   nc_error *err) {
    nc_tir__parser p;
    memset(code, 0, sizeof *code);
    nc__clear(err);
    if (!text) return nc__fail(err, NC_ERR_ARG, 0, 0, "no text");
    memset(&p, 0, sizeof p);
    nc__text_open(&p.text, text, strlen(text), err);
    p.code = code;
    p.purpose = purpose;
    for (;;) {
        (void)nc_tir__skip(&p.text, 1);
        if (p.text.status != NC_OK || p.text.at == p.text.end) break;
        nc_tir__read_token(&p);
    }
    code->end_marks = p.first_mark;
    if (p.text.status == NC_OK && code->names.status != NC_OK)
        (void)nc__text_fail(&p.text, NC_ERR_MEMORY, "out of memory");
    return p.text.status;
}

/* The error id of an assertion that has one. */
static const char *nc_tir__error_id(const nc_tir__code *code, const nc_tir__tasm *t) {
    return code->names.data + code->ids[t->arg - 1];
}

/* A chain of hints and breaks, each on a line of its own. */
static void nc_tir__print_marks(nc__buffer *out, const nc_tir__code *code, uint32_t chain) {
    while (chain) {
        const nc_tir__mark *mark = &code->marks[chain - 1];
        chain = mark->next;
        if (mark->count == 0) {
            nc_tir__print(out, "    break\n");
            continue;
        }
        nc_tir__print(out, "    hint ");
        nc_tir__print(out, code->names.data + mark->text);
        nc_tir__print(out, " = stack[");
        nc_tir__print_value(out, mark->first);
        if (mark->count > 1) nc_tir__print(out, "..");
        if (mark->count > 1) nc_tir__print_value(out, mark->first + mark->count);
        nc_tir__print(out, "]\n");
    }
}

/* An instruction on a line of its own, behind its marks and with its error id; its label is a name
 * of this code, which is null where there are none. */
static void nc_tir__print_instruction(nc__buffer *out, const nc_tir__code *code,
                                      const nc_tir__tasm *t) {
    const nc_tir__instruction *table = &nc_tir__table[t->op];
    if (code) nc_tir__print_marks(out, code, t->marks);
    nc_tir__print(out, "    ");
    nc_tir__print(out, table->name);
    if (table->arg != NC_TIR__ARG_NONE) nc_tir__print(out, " ");
    if (table->arg == NC_TIR__ARG_LABEL)
        nc_tir__print(out, nc_tir__name(code, t->arg));
    else if (table->arg == NC_TIR__ARG_FIELD)
        nc_tir__print_field(out, t->arg);
    else if (table->arg != NC_TIR__ARG_NONE)
        nc_tir__print_value(out, t->arg);
    else if (t->arg && code) {
        nc_tir__print(out, " error_id ");
        nc_tir__print(out, nc_tir__error_id(code, t));
    }
    nc_tir__print(out, "\n");
}

NC_API nc_status nc_tir_count(const char *tasm, uint32_t *instructions, nc_error *err) {
    nc_tir__code code;
    nc_status status;
    if (!instructions) return nc__fail(err, NC_ERR_ARG, 0, 0, "no counter");
    status = nc_tir__read_tasm(tasm, NC_TIR__FOR_ROWS, &code, err);
    *instructions = status == NC_OK ? (uint32_t)stbds_arrlenu(code.list) : 0;
    nc_tir__code_free(&code);
    return status;
}

/* -- the static model -- */

/* Static rows of one instruction, added to `rows`. */
static void nc_tir__add_rows(uint64_t rows[NC_TIR__HEIGHTS], const nc_tir__tasm *t) {
    const nc_tir__instruction *table = &nc_tir__table[t->op];
    int i;
    for (i = 0; i < NC_TIR__HEIGHTS; i++) rows[i] += table->rows[i];
    if (table->channel == NC_TIR__CHANNEL_RAM && nc_tir__counts(table))
        rows[NC_TIR__H_RAM] += t->arg;
}

/* Static rows of straight or any other code, in text order. */
static void nc_tir__sum_rows(uint64_t rows[NC_TIR__HEIGHTS], const nc_tir__tasm *list, size_t n) {
    size_t i;
    memset(rows, 0, NC_TIR__HEIGHTS * sizeof *rows);
    for (i = 0; i < n; i++) nc_tir__add_rows(rows, &list[i]);
}

NC_API nc_status nc_tir_profile_static(const char *tasm, nc_tir_heights *heights, nc_error *err) {
    uint64_t rows[NC_TIR__HEIGHTS];
    nc_tir__code code;
    nc_status status;
    if (!heights) return nc__fail(err, NC_ERR_ARG, 0, 0, "no heights");
    status = nc_tir__read_tasm(tasm, NC_TIR__FOR_ROWS, &code, err);
    nc_tir__sum_rows(rows, code.list, status == NC_OK ? stbds_arrlenu(code.list) : 0);
    memcpy(heights, rows, sizeof *heights);
    nc_tir__code_free(&code);
    return status;
}

/* The index of the largest of n heights, the first among equals. */
static int nc_tir__largest(const uint64_t *height, int n) {
    int i, best = 0;
    for (i = 1; i < n; i++)
        if (height[i] > height[best]) best = i;
    return best;
}

NC_API uint64_t nc_tir_tallest(const nc_tir_heights *heights, const char **table) {
    uint64_t rows[NC_TIR__HEIGHTS];
    int tallest;
    memcpy(rows, heights, sizeof rows);
    tallest = nc_tir__largest(rows, NC_TIR__HEIGHTS);
    if (table) *table = nc_tir__height_names[tallest];
    return rows[tallest];
}

NC_API uint64_t nc_tir_padded(uint64_t height) {
    uint64_t p = 1;
    while (p < height && p < UINT64_C(1) << 63) p *= 2;
    return p;
}

NC__WARM_BEGIN

/* >>machine ======================================================================= */

/* -- cells by key: RAM, the u32 table's distinct entries, searches done -- */

typedef struct nc_tir__cell {
    uint64_t key[3], value;
} nc_tir__cell;

typedef struct nc_tir__map {
    nc_tir__cell *cells; /* stb_ds array, in order of creation */
    nc__index index;
} nc_tir__map;

/* One more word into a hash. */
static uint64_t nc_tir__mix(uint64_t hash, uint64_t word) {
    hash = (hash ^ word) * UINT64_C(0xBF58476D1CE4E5B9);
    return hash ^ (hash >> 29);
}

/* The cell of a key, made with value 0 where there is none (*fresh), valid until the next one is
 * made; null when out of memory. */
static nc_tir__cell *nc_tir__map_at(nc_tir__map *map, uint64_t a, uint64_t b, uint64_t c,
                                    int *fresh) {
    const uint32_t hash = (uint32_t)nc_tir__mix(nc_tir__mix(nc_tir__mix(0, a), b), c);
    nc_tir__cell cell;
    size_t at = hash;
    uint32_t id;
    *fresh = 0;
    while ((id = nc__index_next(&map->index, hash, &at)) != UINT32_MAX) {
        const uint64_t *key = map->cells[id].key;
        if (key[0] == a && key[1] == b && key[2] == c) return &map->cells[id];
    }
    id = (uint32_t)stbds_arrlenu(map->cells);
    if (!nc__index_add(&map->index, hash, id)) return NULL;
    cell.key[0] = a;
    cell.key[1] = b;
    cell.key[2] = c;
    cell.value = 0;
    stbds_arrput(map->cells, cell);
    *fresh = 1;
    return &map->cells[id];
}

static void nc_tir__map_free(nc_tir__map *map) {
    stbds_arrfree(map->cells);
    nc__index_free(&map->index);
}

/* -- the machine and its tables -- */

typedef struct nc_tir__vm {
    const nc_tir__code *code;
    const nc_tir_input *in;
    nc_tir_execution *out;
    nc_gl *stack; /* bottom first; 16 <= height <= room */
    size_t height, room;
    uint32_t *jumps; /* stb_ds array: pairs of return and target */
    nc_gl *output;   /* stb_ds array */
    nc_tir__map ram, u32;
    uint8_t *limbs_seen; /* one byte for each 16-bit limb */
    nc_gl sponge[16];
    int sponge_ready, no_memory, halted;
    size_t public_used, secret_used, digests_used;
    uint64_t *visits; /* how often each instruction ran; or null */
    uint32_t ip;
} nc_tir__vm;

enum { NC_TIR__LIMBS = 1 << 16 };

static nc_gl nc_tir__st(const nc_tir__vm *vm, size_t i) { return vm->stack[vm->height - 1 - i]; }

static nc_gl nc_tir__pop_one(nc_tir__vm *vm) { return vm->stack[--vm->height]; }

static void nc_tir__push_one(nc_tir__vm *vm, nc_gl value) { vm->stack[vm->height++] = value; }

enum { NC_TIR__RESERVE = 16 }; /* more than any instruction pushes */

static int nc_tir__reserve(nc_tir__vm *vm) {
    const size_t larger = vm->room ? 2 * vm->room : 256;
    nc_gl *grown = (nc_gl *)nc__alloc(NULL, larger * sizeof *grown);
    if (!grown) return 0;
    if (vm->height) memcpy(grown, vm->stack, vm->height * sizeof *grown);
    nc__free(NULL, vm->stack, vm->room * sizeof *grown);
    vm->stack = grown;
    vm->room = larger;
    return 1;
}

/* One permutation, its six hash rows and the limbs it looks up. */
static void nc_tir__permute(nc_tir__vm *vm, nc_gl state[16]) {
    uint16_t limbs[80];
    int i;
    nc_gl_tip5_trace(state, limbs);
    vm->out->hash += 6;
    for (i = 0; i < 80; i++) {
        vm->out->cascade += !vm->limbs_seen[limbs[i]];
        vm->limbs_seen[limbs[i]] = 1;
    }
}

static void nc_tir__hash_10(nc_tir__vm *vm, const nc_gl in[10], nc_gl digest[5]) {
    nc_gl state[16];
    int i;
    for (i = 0; i < 16; i++) state[i] = i < 10 ? in[i] : 1;
    nc_tir__permute(vm, state);
    memcpy(digest, state, 5 * sizeof *digest);
}

/* Operations of the u32 table. */
enum {
    NC_TIR__U_SPLIT,
    NC_TIR__U_LT,
    NC_TIR__U_AND,
    NC_TIR__U_LOG2,
    NC_TIR__U_POW,
    NC_TIR__U_COUNT
};

/* Enter (op, lhs, rhs) into the u32 table: one row for a zero operand, else 2 + floor(log2). */
static void nc_tir__u32_entry(nc_tir__vm *vm, uint64_t op, nc_gl lhs, nc_gl rhs, nc_gl dominant) {
    int fresh;
    if (!nc_tir__map_at(&vm->u32, op, lhs, rhs, &fresh)) vm->no_memory = vm->halted = 1;
    if (!fresh) return;
    vm->out->u32 += 1;
    if (dominant) vm->out->u32 += 1;
    while (dominant >>= 1) vm->out->u32 += 1;
}

static void nc_tir__u32_pair(nc_tir__vm *vm, uint64_t op, nc_gl lhs, nc_gl rhs) {
    nc_tir__u32_entry(vm, op, lhs, rhs, lhs > rhs ? lhs : rhs);
}

static int nc_tir__is_u32(nc_gl a) { return a >> 32 == 0; }

/* The cell of an address; one that nobody may use when out of memory. */
static uint64_t *nc_tir__ram(nc_tir__vm *vm, nc_gl address, uint64_t *spare) {
    int fresh;
    nc_tir__cell *cell = nc_tir__map_at(&vm->ram, address, 0, 0, &fresh);
    if (cell) return &cell->value;
    vm->no_memory = vm->halted = 1;
    *spare = 0;
    return spare;
}

static nc_gl nc_tir__ram_get(nc_tir__vm *vm, nc_gl address) {
    uint64_t spare;
    vm->out->ram++;
    return *nc_tir__ram(vm, address, &spare);
}

static void nc_tir__ram_set(nc_tir__vm *vm, nc_gl address, nc_gl value) {
    uint64_t spare;
    *nc_tir__ram(vm, address, &spare) = value;
}

/* -- instructions: each nc_tir__step_* does those whose row names it -- */

/* Exchange, bring up or push down among the upper n + 1 elements of a stack, of `size` bytes each:
 * swap n, pick n, place n. The first of them is at `top`; the others lie below it. */
static void nc_tir__rearrange(void *top, size_t size, uint32_t op, size_t n) {
    char *first = (char *)top, *last = first - n * size;
    uint64_t kept;
    memcpy(&kept, op == NC_TIR__I_PLACE ? first : last, size);
    if (op == NC_TIR__I_SWAP)
        memmove(last, first, size);
    else if (op == NC_TIR__I_PICK)
        memmove(last, last + size, n * size);
    else
        memmove(last + size, last, n * size);
    memcpy(op == NC_TIR__I_PLACE ? last : first, &kept, size);
}

/* Instructions that only move elements of the stack. The stack grows upwards: st[0] is its top. */
static nc_tir_outcome nc_tir__step_move(nc_tir__vm *vm, const nc_tir__tasm *t) {
    nc_gl *st = &vm->stack[vm->height - 1], top = *st;
    switch (t->op) {
    case NC_TIR__I_PUSH: nc_tir__push_one(vm, t->arg); break;
    case NC_TIR__I_DUP: nc_tir__push_one(vm, nc_tir__st(vm, (size_t)t->arg)); break;
    case NC_TIR__I_POP: vm->height -= (size_t)t->arg; break;
    case NC_TIR__I_SWAP:
        *st = *(st - t->arg);
        *(st - t->arg) = top;
        break;
    case NC_TIR__I_PICK:
    case NC_TIR__I_PLACE: nc_tir__rearrange(st, sizeof *st, t->op, (size_t)t->arg); break;
    default: break; /* nop */
    }
    return NC_TIR_HALTED;
}

/* Field arithmetic, comparison and assertions; rows of the u32 table are noted where there are
 * any. */
static nc_tir_outcome nc_tir__step_field(nc_tir__vm *vm, const nc_tir__tasm *t) {
    nc_gl *st = &vm->stack[vm->height - 1];
    const nc_gl a = st[0], b = st[-1];
    size_t i;
    switch (t->op) {
    case NC_TIR__I_ADDI: *st = nc_gl_add(a, t->arg); return NC_TIR_HALTED;
    case NC_TIR__I_INVERT: return nc_gl_inv(a, st) == NC_OK ? NC_TIR_HALTED : NC_TIR_CRASH_ZERO;
    case NC_TIR__I_SPLIT:
        *st = a >> 32;
        nc_tir__push_one(vm, a & UINT32_MAX);
        nc_tir__u32_pair(vm, NC_TIR__U_SPLIT, a & UINT32_MAX, a >> 32);
        return NC_TIR_HALTED;
    case NC_TIR__I_ADD: st[-1] = nc_gl_add(a, b); break;
    case NC_TIR__I_MUL: st[-1] = nc_gl_mul(a, b); break;
    case NC_TIR__I_EQ: st[-1] = a == b; break;
    case NC_TIR__I_ASSERT:
        if (a != 1) return NC_TIR_CRASH_ASSERT;
        break;
    default: /* assert_vector: five of the ten stay */
        for (i = 0; i < 5; i++)
            if (nc_tir__st(vm, i) != nc_tir__st(vm, i + 5)) return NC_TIR_CRASH_ASSERT;
        vm->height -= 4;
        break;
    }
    vm->height--;
    return NC_TIR_HALTED;
}

/* One u32 operand: the result takes its place. */
static nc_tir_outcome nc_tir__u32_unary(nc_tir__vm *vm, uint32_t op, nc_gl *st) {
    nc_gl a = *st, r = 0;
    if (!nc_tir__is_u32(a)) return NC_TIR_CRASH_U32;
    if (op == NC_TIR__I_LOG2) {
        if (a == 0) return NC_TIR_CRASH_ZERO;
        nc_tir__u32_entry(vm, NC_TIR__U_LOG2, a, 0, a);
        while (a >> (r + 1)) r++;
    } else {
        nc_tir__u32_entry(vm, NC_TIR__U_COUNT, a, 0, a);
        for (; a; a &= a - 1) r++;
    }
    *st = r;
    return NC_TIR_HALTED;
}

/* Two operands: a on top, b below, both u32 but for the base of pow. */
static nc_tir_outcome nc_tir__step_u32(nc_tir__vm *vm, const nc_tir__tasm *t) {
    nc_gl *st = &vm->stack[vm->height - 1], r = 0;
    const nc_gl a = st[0], b = st[-1];
    if (nc_tir__pops(t) == 1) return nc_tir__u32_unary(vm, t->op, st);
    if (!nc_tir__is_u32(b) || (t->op != NC_TIR__I_POW && !nc_tir__is_u32(a)))
        return NC_TIR_CRASH_U32;
    switch (t->op) {
    case NC_TIR__I_DIV_MOD: /* numerator on top, denominator below */
        if (b == 0) return NC_TIR_CRASH_ZERO;
        nc_tir__u32_pair(vm, NC_TIR__U_LT, a % b, b);
        nc_tir__u32_pair(vm, NC_TIR__U_SPLIT, a, a / b);
        st[-1] = a / b;
        st[0] = a % b;
        return NC_TIR_HALTED;
    case NC_TIR__I_POW: /* base on top, exponent below */
        nc_tir__u32_entry(vm, NC_TIR__U_POW, a, b, b);
        r = nc_gl_pow(a, b);
        break;
    case NC_TIR__I_LT:
        nc_tir__u32_pair(vm, NC_TIR__U_LT, a, b);
        r = a < b;
        break;
    default:
        nc_tir__u32_pair(vm, NC_TIR__U_AND, a, b);
        r = t->op == NC_TIR__I_AND ? a & b : a ^ b;
        break;
    }
    vm->height--;
    st[-1] = r;
    return NC_TIR_HALTED;
}

NC__COLD_BEGIN

/* Tip5 of ten elements, and the sponge; each call counts for the hash and cascade tables. */
static nc_tir_outcome nc_tir__step_hash(nc_tir__vm *vm, const nc_tir__tasm *t) {
    nc_gl block[10], digest[5], *st;
    int i;
    switch (t->op) {
    case NC_TIR__I_HASH:
        for (i = 0; i < 10; i++) block[i] = nc_tir__pop_one(vm);
        nc_tir__hash_10(vm, block, digest);
        for (i = 4; i >= 0; i--) nc_tir__push_one(vm, digest[i]);
        return NC_TIR_HALTED;
    case NC_TIR__I_SPONGE_INIT:
        memset(vm->sponge, 0, sizeof vm->sponge);
        vm->sponge_ready = 1;
        vm->out->hash += 1;
        return NC_TIR_HALTED;
    default: break;
    }
    if (!vm->sponge_ready) return NC_TIR_CRASH_SPONGE;
    if (t->op == NC_TIR__I_SPONGE_SQUEEZE) {
        for (i = 9; i >= 0; i--) nc_tir__push_one(vm, vm->sponge[i]);
    } else if (t->op == NC_TIR__I_SPONGE_ABSORB) {
        for (i = 0; i < 10; i++) vm->sponge[i] = nc_tir__pop_one(vm);
    } else {
        st = &vm->stack[vm->height - 1];
        for (i = 0; i < 10; i++) vm->sponge[i] = nc_tir__ram_get(vm, nc_gl_add(*st, (nc_gl)i));
        *st = nc_gl_add(*st, 10);
        for (i = 0; i < 4; i++) st[-1 - i] = vm->sponge[i];
    }
    nc_tir__permute(vm, vm->sponge);
    return NC_TIR_HALTED;
}

/* One step up a Merkle tree: the node's digest in st0..4, its index in st5; the sibling comes
 * from the secret digests or from RAM at st7. */
static nc_tir_outcome nc_tir__step_merkle(nc_tir__vm *vm, const nc_tir__tasm *t) {
    const int from_ram = t->op == NC_TIR__I_MERKLE_STEP_MEM;
    nc_gl *st = &vm->stack[vm->height - 1], both[10], digest[5];
    const nc_gl index = st[-5];
    const size_t own = index & 1 ? 5 : 0;
    size_t i;
    if (!nc_tir__is_u32(index)) return NC_TIR_CRASH_U32;
    if (!from_ram && vm->digests_used >= vm->in->digest_count) return NC_TIR_CRASH_INPUT;
    for (i = 0; i < 5; i++) {
        both[own + i] = *(st - i);
        both[5 - own + i] = from_ram ? nc_tir__ram_get(vm, nc_gl_add(st[-7], i))
                                     : vm->in->secret_digests[5 * vm->digests_used + i];
    }
    if (from_ram)
        st[-7] = nc_gl_add(st[-7], 5);
    else
        vm->digests_used++;
    nc_tir__u32_pair(vm, NC_TIR__U_SPLIT, index, index >> 1);
    nc_tir__hash_10(vm, both, digest);
    for (i = 0; i < 5; i++) *(st - i) = digest[i];
    st[-5] = index >> 1;
    return NC_TIR_HALTED;
}

/* Extension elements take three places, coefficient 0 on top. */
static void nc_tir__load_ext(nc_gl a[3], const nc_gl *st) {
    int i;
    for (i = 0; i < 3; i++) a[i] = *(st - i);
}

static void nc_tir__store_ext(nc_gl *st, const nc_gl a[3]) {
    int i;
    for (i = 0; i < 3; i++) *(st - i) = a[i];
}

/* Two pointers on top, an accumulator under them: add the product of what they point to, a base
 * field or extension element and an extension element. */
static void nc_tir__step_dot(nc_tir__vm *vm, nc_gl *st, int width) {
    nc_gl a[3] = {0, 0, 0}, b[3], c[3];
    int i;
    for (i = 0; i < width; i++) a[i] = nc_tir__ram_get(vm, nc_gl_add(st[0], (nc_gl)i));
    for (i = 0; i < 3; i++) b[i] = nc_tir__ram_get(vm, nc_gl_add(st[-1], (nc_gl)i));
    nc_gl_ext3_mul(c, a, b);
    st[0] = nc_gl_add(st[0], (nc_gl)width);
    st[-1] = nc_gl_add(st[-1], 3);
    for (i = 0; i < 3; i++) st[-2 - i] = nc_gl_add(st[-2 - i], c[i]);
}

/* Horner's rule: the accumulator in st7..9 times the point in st0..2, plus `width` coefficients
 * from RAM at st5. */
static void nc_tir__step_horner(nc_tir__vm *vm, nc_gl *st, int width) {
    nc_gl a[3], b[3], c[3];
    int i;
    nc_tir__load_ext(a, st);
    nc_tir__load_ext(b, st - 7);
    nc_gl_ext3_mul(c, a, b);
    for (i = width - 1; i >= 0; i--) {
        c[i] = nc_gl_add(c[i], nc_tir__ram_get(vm, st[-5]));
        st[-5] = nc_gl_sub(st[-5], 1);
    }
    nc_tir__store_ext(st - 7, c);
}

/* Arithmetic on triples, the constant coefficient on top (X^3 - X + 1), dot and Horner steps. */
static nc_tir_outcome nc_tir__step_extension(nc_tir__vm *vm, const nc_tir__tasm *t) {
    nc_gl a[3], b[3], c[3], *st = &vm->stack[vm->height - 1];
    int i;
    nc_tir__load_ext(a, st);
    switch (t->op) {
    case NC_TIR__I_XX_ADD:
    case NC_TIR__I_XX_MUL:
        st -= 3;
        nc_tir__load_ext(b, st);
        if (t->op == NC_TIR__I_XX_MUL)
            nc_gl_ext3_mul(c, a, b);
        else
            for (i = 0; i < 3; i++) c[i] = nc_gl_add(a[i], b[i]);
        break;
    case NC_TIR__I_X_INVERT:
        if (nc_gl_ext3_inv(c, a) != NC_OK) return NC_TIR_CRASH_ZERO;
        break;
    case NC_TIR__I_XB_MUL:
        st -= 1;
        for (i = 0; i < 3; i++) c[i] = nc_gl_mul(a[0], *(st - i));
        break;
    case NC_TIR__I_B_HORNER: nc_tir__step_horner(vm, st, 1); return NC_TIR_HALTED;
    case NC_TIR__I_X_HORNER: nc_tir__step_horner(vm, st, 3); return NC_TIR_HALTED;
    default: nc_tir__step_dot(vm, st, t->op == NC_TIR__I_XX_DOT ? 3 : 1); return NC_TIR_HALTED;
    }
    nc_tir__store_ext(st, c);
    vm->height = (size_t)(st - vm->stack) + 1;
    return NC_TIR_HALTED;
}

NC__COLD_END

/* n elements of an input onto the stack. */
static nc_tir_outcome nc_tir__read(nc_tir__vm *vm, const nc_gl *input, size_t count, size_t *used,
                                   size_t n) {
    if (count - *used < n) return NC_TIR_CRASH_INPUT;
    while (n-- > 0) nc_tir__push_one(vm, input[(*used)++]);
    return NC_TIR_HALTED;
}

/* Input, output and memory, one element at a time. */
static nc_tir_outcome nc_tir__step_io(nc_tir__vm *vm, const nc_tir__tasm *t) {
    const nc_tir_input *in = vm->in;
    const size_t n = (size_t)t->arg;
    nc_gl pointer, value;
    size_t i;
    switch (t->op) {
    case NC_TIR__I_DIVINE:
        return nc_tir__read(vm, in->secret_input, in->secret_count, &vm->secret_used, n);
    case NC_TIR__I_READ_IO:
        return nc_tir__read(vm, in->public_input, in->public_count, &vm->public_used, n);
    case NC_TIR__I_WRITE_IO:
        for (i = 0; i < n; i++) {
            value = nc_tir__pop_one(vm);
            stbds_arrput(vm->output, value);
        }
        return NC_TIR_HALTED;
    default: break;
    }
    pointer = nc_tir__pop_one(vm);
    for (i = 0; i < n; i++) {
        if (t->op == NC_TIR__I_READ_MEM) {
            nc_tir__push_one(vm, nc_tir__ram_get(vm, pointer));
            pointer = nc_gl_sub(pointer, 1);
        } else {
            nc_tir__ram_set(vm, pointer, nc_tir__pop_one(vm));
            vm->out->ram++;
            pointer = nc_gl_add(pointer, 1);
        }
    }
    nc_tir__push_one(vm, pointer);
    return NC_TIR_HALTED;
}

/* Jumps set vm->ip; vm->halted ends the run. */
static nc_tir_outcome nc_tir__step_jump(nc_tir__vm *vm, const nc_tir__tasm *t) {
    const size_t depth = stbds_arrlenu(vm->jumps);
    int32_t target;
    switch (t->op) {
    case NC_TIR__I_HALT: vm->halted = 1; return NC_TIR_HALTED;
    case NC_TIR__I_SKIZ:
        if (nc_tir__pop_one(vm) == 0) vm->ip++;
        return NC_TIR_HALTED;
    case NC_TIR__I_CALL:
        target = vm->code->labels[t->arg].value;
        if (target < 0) return NC_TIR_CRASH_JUMP;
        stbds_arrput(vm->jumps, vm->ip);
        stbds_arrput(vm->jumps, (uint32_t)target);
        vm->ip = (uint32_t)target;
        return NC_TIR_HALTED;
    default: break;
    }
    if (depth == 0) return NC_TIR_CRASH_JUMP;
    if (t->op == NC_TIR__I_RECURSE ||
        (t->op == NC_TIR__I_RECURSE_OR_RETURN && nc_tir__st(vm, 5) != nc_tir__st(vm, 6))) {
        vm->ip = vm->jumps[depth - 1];
    } else {
        vm->ip = vm->jumps[depth - 2];
        NC_TIR__CUT(vm->jumps, depth - 2);
    }
    return NC_TIR_HALTED;
}

static nc_tir_outcome nc_tir__step(nc_tir__vm *vm, const nc_tir__tasm *t) {
    switch (nc_tir__table[t->op].step) {
#define NC_TIR__CASE(name)                                                                         \
    case NC_TIR__STEP_##name: return nc_tir__step_##name(vm, t);
        NC_TIR__STEPS(NC_TIR__CASE)
#undef NC_TIR__CASE
    default: return NC_TIR_CRASH_JUMP; /* no row has it */
    }
}

/* -- runs -- */

NC__COLD_BEGIN

/* One word of the program into the hash of all of them: overwrites the rate, ten at a time. */
static void nc_tir__hash_word(nc_tir__vm *vm, nc_gl state[16], uint64_t word) {
    state[vm->out->program++ % 10] = word;
    if (vm->out->program % 10 == 0) nc_tir__permute(vm, state);
}

/* The digest of the program's words by Tip5's rule for any length (append 1, then zeros to a
 * multiple of ten): opcode, then the argument if there is one; a label is the word address of its
 * instruction. Fills the program and hash heights. */
static nc_status nc_tir__hash_program(nc_tir__vm *vm, nc_gl digest[5]) {
    const nc_tir__tasm *list = vm->code->list;
    const size_t n = stbds_arrlenu(vm->code->list);
    uint64_t *address = (uint64_t *)nc__alloc(NULL, (n + 1) * sizeof *address);
    nc_gl state[16];
    size_t i;
    if (!address) return NC_ERR_MEMORY;
    for (i = 0, address[0] = 0; i < n; i++)
        address[i + 1] = address[i] + (nc_tir__table[list[i].op].arg == NC_TIR__ARG_NONE ? 1 : 2);
    memset(state, 0, sizeof state);
    for (i = 0; i < n; i++) {
        const nc_tir__instruction *table = &nc_tir__table[list[i].op];
        uint64_t argument = list[i].arg;
        if (table->arg == NC_TIR__ARG_LABEL) {
            const int32_t target = vm->code->labels[argument].value;
            argument = target < 0 ? 0 : address[target];
        }
        nc_tir__hash_word(vm, state, table->opcode);
        if (table->arg != NC_TIR__ARG_NONE) nc_tir__hash_word(vm, state, argument);
    }
    nc__free(NULL, address, (n + 1) * sizeof *address);
    nc_tir__hash_word(vm, state, 1);
    while (vm->out->program % 10) nc_tir__hash_word(vm, state, 0);
    memcpy(digest, state, 5 * sizeof *digest);
    return NC_OK;
}

NC__COLD_END

/* Would fewer than 16 elements remain? */
static int nc_tir__is_too_shallow(const nc_tir__vm *vm, const nc_tir__tasm *t) {
    return vm->height + nc_tir__pushes(t) < 16u + nc_tir__pops(t);
}

/* Until the program halts, crashes or has used its cycles. The stack has always room for what one
 * instruction pushes. */
static nc_tir_outcome nc_tir__run(nc_tir__vm *vm) {
    const size_t length = stbds_arrlenu(vm->code->list);
    const uint64_t limit = vm->in->max_cycles ? vm->in->max_cycles : UINT64_C(1) << 24;
    while (!vm->halted) {
        const size_t before = vm->height;
        nc_tir_outcome outcome;
        if (vm->ip >= length) return NC_TIR_CRASH_JUMP;
        if (vm->out->processor >= limit) return NC_TIR_CRASH_CYCLES;
        if (vm->height + NC_TIR__RESERVE > vm->room && !nc_tir__reserve(vm)) {
            vm->no_memory = 1;
            return NC_TIR_CRASH_CYCLES;
        }
        if (vm->height < 32 && nc_tir__is_too_shallow(vm, &vm->code->list[vm->ip]))
            return NC_TIR_CRASH_STACK; /* before any other crash, as on the real machine */
        if (vm->visits) vm->visits[vm->ip]++;
        outcome = nc_tir__step(vm, &vm->code->list[vm->ip++]);
        if (outcome != NC_TIR_HALTED) return outcome;
        vm->out->processor++;
        vm->out->op_stack += vm->height > before ? vm->height - before : before - vm->height;
    }
    return NC_TIR_HALTED;
}

NC__COLD_BEGIN

static void nc_tir__finish(nc_tir__vm *vm) {
    nc_tir_execution *x = vm->out;
    const size_t n = vm->height;
    size_t i;
    for (i = 0; i < 16 && i < n; i++) x->stack[i] = nc_tir__st(vm, i);
    if (x->outcome == NC_TIR_CRASH_ASSERT && vm->code->list[vm->ip - 1].arg) {
        const char *id = nc_tir__error_id(vm->code, &vm->code->list[vm->ip - 1]);
        memcpy(x->error_id, id, strlen(id) + 1); /* an i128 in decimal: at most 40 characters */
    }
    x->depth = n;
    x->jump_stack = x->processor;
    x->lookup = 256;
    x->padded_height = nc_tir_padded(nc_tir_tallest_run(x, NULL));
    x->output_count = stbds_arrlenu(vm->output);
    if (x->output_count == 0) return;
    x->output = (nc_gl *)nc__alloc(NULL, x->output_count * sizeof *x->output);
    if (x->output)
        memcpy(x->output, vm->output, x->output_count * sizeof *x->output);
    else
        vm->no_memory = 1;
}

/* NC_ERR_ARG at the first of n words that is not below p. */
static nc_status nc_tir__check_elements(const char *name, const nc_gl *words, size_t n,
                                        nc_error *err) {
    size_t i;
    if (n && !words) return nc__fail(err, NC_ERR_ARG, 0, 0, "%s is null", name);
    for (i = 0; i < n; i++)
        if (words[i] >= NC_GL_P)
            return nc__fail(err, NC_ERR_ARG, 0, 0, "%s[%lu] is not a field element: %llu", name,
                            (unsigned long)i, (unsigned long long)words[i]);
    return NC_OK;
}

static nc_status nc_tir__check_input(const nc_tir_input *in, nc_error *err) {
    nc_status status =
        nc_tir__check_elements("public_input", in->public_input, in->public_count, err);
    if ((unsigned)in->machine > NC_TIR_TARGET_TRISHA)
        return nc__fail(err, NC_ERR_ARG, 0, 0, "no such machine");
    if (status == NC_OK)
        status = nc_tir__check_elements("secret_input", in->secret_input, in->secret_count, err);
    if (status == NC_OK)
        status = nc_tir__check_elements("secret_digests", in->secret_digests,
                                        nc__mul_size(in->digest_count, 5), err);
    if (status == NC_OK)
        status = nc_tir__check_elements("ram", in->ram, nc__mul_size(in->ram_count, 2), err);
    return status;
}

/* NC_ERR_FORMAT at the first call of a label that stands nowhere. */
static nc_status nc_tir__check_calls(const nc_tir__code *code, nc_error *err) {
    size_t i;
    for (i = 0; i < stbds_arrlenu(code->list); i++) {
        const nc_tir__tasm *t = &code->list[i];
        if (nc_tir__table[t->op].arg == NC_TIR__ARG_LABEL && code->labels[t->arg].value < 0)
            return nc__fail(err, NC_ERR_FORMAT, t->line, t->column, "label '%.100s' is missing",
                            nc_tir__name(code, t->arg));
    }
    return NC_OK;
}

/* Hash the program, put its digest and eleven zeros onto the stack, fill the RAM, run. */
static nc_status nc_tir__execute(nc_tir__vm *vm) {
    nc_gl digest[5];
    nc_status status;
    size_t i;
    vm->limbs_seen = (uint8_t *)nc__calloc(NULL, NC_TIR__LIMBS);
    if (!vm->limbs_seen || !nc_tir__reserve(vm)) return NC_ERR_MEMORY;
    status = nc_tir__hash_program(vm, digest);
    if (status != NC_OK) return status;
    for (i = 0; i < 16; i++) nc_tir__push_one(vm, i < 5 ? digest[4 - i] : 0);
    for (i = 0; i < vm->in->ram_count; i++)
        nc_tir__ram_set(vm, vm->in->ram[2 * i], vm->in->ram[2 * i + 1]);
    vm->out->outcome = nc_tir__run(vm);
    nc_tir__finish(vm);
    return vm->no_memory ? NC_ERR_MEMORY : NC_OK;
}

/* Run code whose calls all have their labels; visits: null, or a counter for each instruction. */
static nc_status nc_tir__execute_code(const nc_tir__code *code, const nc_tir_input *input,
                                      uint64_t *visits, nc_tir_execution *result) {
    static const nc_tir_input nothing = {
        NULL, NULL, NULL, NULL, 0, 0, 0, 0, 0, NC_TIR_TARGET_TRITON, 0};
    nc_tir__vm vm;
    nc_status status;
    memset(&vm, 0, sizeof vm);
    vm.code = code;
    vm.in = input ? input : &nothing;
    vm.out = result;
    vm.visits = visits;
    status = nc_tir__execute(&vm);
    nc__free(NULL, vm.limbs_seen, NC_TIR__LIMBS);
    nc_tir__map_free(&vm.ram);
    nc_tir__map_free(&vm.u32);
    nc__free(NULL, vm.stack, vm.room * sizeof *vm.stack);
    stbds_arrfree(vm.jumps);
    stbds_arrfree(vm.output);
    if (status != NC_OK) { /* what it came to is no result */
        nc_tir_free_output(result);
        memset(result, 0, sizeof *result);
    }
    return status;
}

NC_API nc_status nc_tir_execute(const char *tasm, const nc_tir_input *input,
                                nc_tir_execution *result, nc_error *err) {
    const int on_main = input && input->machine == NC_TIR_TARGET_TRITON_MAIN;
    nc_tir__code code;
    nc_status status;
    if (!result) return nc__fail(err, NC_ERR_ARG, 0, 0, "no result");
    memset(result, 0, sizeof *result);
    if (input) {
        status = nc_tir__check_input(input, err);
        if (status != NC_OK) return status;
    }
    status = nc_tir__read_tasm(tasm, on_main ? NC_TIR__FOR_MAIN : NC_TIR__FOR_RELEASE, &code, err);
    if (status == NC_OK) status = nc_tir__check_calls(&code, err);
    if (status == NC_OK) {
        status = nc_tir__execute_code(&code, input, NULL, result);
        if (status != NC_OK) nc__fail(err, status, 0, 0, "out of memory");
    }
    nc_tir__code_free(&code);
    return status;
}

NC_API void nc_tir_free_output(nc_tir_execution *result) {
    nc__free(NULL, result->output, result->output_count * sizeof *result->output);
    result->output = NULL;
    result->output_count = 0;
}

NC_API const char *nc_tir_outcome_str(nc_tir_outcome outcome) {
    static const char *const text[] = {"halted",
                                       "stack too shallow",
                                       "assertion failed",
                                       "operand is not a u32",
                                       "inverse, logarithm or division of zero",
                                       "input exhausted",
                                       "jump stack empty or code ended",
                                       "sponge not initialised",
                                       "cycle limit reached"};
    return (unsigned)outcome <= NC_TIR_CRASH_CYCLES ? text[outcome] : "unknown outcome";
}

/* In the order of nc_tir_tables. */
static const char *const nc_tir__run_names[9] = {
    "processor", "program", "op_stack", "ram", "jump_stack", "hash", "cascade", "lookup", "u32"};

NC_API uint64_t nc_tir_tallest_run(const nc_tir_execution *run, const char **table) {
    const uint64_t height[9] = {run->processor, run->program,    run->op_stack,
                                run->ram,       run->jump_stack, run->hash,
                                run->cascade,   run->lookup,     run->u32};
    const int tallest = nc_tir__largest(height, 9);
    if (table) *table = nc_tir__run_names[tallest];
    return height[tallest];
}

/* Whether a run pads higher, or as high with a taller table. */
static int nc_tir__is_worse(const nc_tir_execution *run, const nc_tir_execution *than) {
    if (run->padded_height != than->padded_height) return run->padded_height > than->padded_height;
    return nc_tir_tallest_run(run, NULL) > nc_tir_tallest_run(than, NULL);
}

NC_API nc_status nc_tir_profile_dynamic(const char *tasm, const nc_tir_input *inputs, size_t count,
                                        nc_tir_execution *worst, nc_error *err) {
    nc_status status = NC_OK;
    size_t i;
    if (worst) memset(worst, 0, sizeof *worst);
    if (!worst || !inputs || count == 0) return nc__fail(err, NC_ERR_ARG, 0, 0, "no inputs");
    for (i = 0; i < count && status == NC_OK; i++) {
        nc_tir_execution run;
        int stopped;
        status = nc_tir_execute(tasm, &inputs[i], &run, err);
        stopped = status == NC_OK && run.outcome != NC_TIR_HALTED;
        if (status == NC_OK && (stopped || i == 0 || nc_tir__is_worse(&run, worst))) {
            nc_tir_free_output(worst);
            *worst = run;
        } else {
            nc_tir_free_output(&run);
        }
        if (stopped)
            return nc__fail(err, NC_ERR_MISMATCH, 0, 0, "sample input %lu: %s", (unsigned long)i,
                            nc_tir_outcome_str(worst->outcome));
    }
    if (status != NC_OK) nc_tir_free_output(worst);
    return status;
}

NC__COLD_END

/* >>proofs ======================================================================== */

/* -- terms -- */

/* Terms are hash-consed: equal index = equal by the rules below. A term is an unknown stack
 * input, the state of a channel, the result of an operation, a condition under which code does not
 * crash, or a polynomial over such with coefficients in F_p (a constant is a polynomial of degree
 * 0). Rules used: ring axioms of F_p, commutativity of the u32 bit operations, a = b iff a - b = 0,
 * folding of constants, small powers as products, masks and remainders by a constant d as n - d *
 * quotient, memory as a chain of stores, a sponge that is initialised forgets; elements of the
 * extension are added coefficient by coefficient, and a product of two of them does not depend on
 * their order. */
enum { NC_TIR__T_POLY, NC_TIR__T_INPUT, NC_TIR__T_CHANNEL, NC_TIR__T_OP, NC_TIR__T_CHECK };

enum {
    NC_TIR__MAX_TERMS = 16384,
    NC_TIR__SLOTS = 2 * NC_TIR__MAX_TERMS,
    NC_TIR__MAX_WORDS = 1 << 18,
    NC_TIR__MAX_MONOMIALS = 24,
    NC_TIR__MAX_DEGREE = 8,
    NC_TIR__INPUTS = 80, /* unknown elements below the starting top of the stack */
    NC_TIR__MAX_STACK = 192,
    NC_TIR__MAX_CHECKS = 256,
    NC_TIR__MAX_NODES = 128,
    NC_TIR__MAX_ARGS = 11,
    NC_TIR__MAX_PASSED = 64 /* stores that one may be moved before */
};

typedef struct nc_tir__term {
    uint32_t first, count; /* payload in words */
    uint16_t kind;
    uint16_t is_u32; /* below 2^32 where the code that made it has not crashed */
} nc_tir__term;

/* A table of its own, not an nc__index: it never grows, and a proof starts by emptying it. */
typedef struct nc_tir__terms {
    nc_tir__term list[NC_TIR__MAX_TERMS];
    uint64_t words[NC_TIR__MAX_WORDS];
    uint32_t table[NC_TIR__SLOTS]; /* index + 1, open addressing */
    uint32_t count, used;
    int overflow; /* set once a limit is hit: nothing after it may be trusted */
} nc_tir__terms;

static void nc_tir__terms_reset(nc_tir__terms *t) {
    t->count = t->used = 0;
    t->overflow = 0;
    memset(t->table, 0, sizeof t->table);
}

/* The term of this kind and payload. */
static uint32_t nc_tir__intern(nc_tir__terms *t, uint32_t kind, const uint64_t *words,
                               uint32_t count) {
    uint64_t h = nc_tir__mix(count, kind);
    uint32_t slot, i;
    for (i = 0; i < count; i++) h = nc_tir__mix(h, words[i]);
    slot = (uint32_t)(h ^ (h >> 32)) & (NC_TIR__SLOTS - 1);
    for (; t->table[slot]; slot = (slot + 1) & (NC_TIR__SLOTS - 1)) {
        const nc_tir__term *x = &t->list[t->table[slot] - 1];
        if (x->kind == kind && x->count == count &&
            !memcmp(t->words + x->first, words, count * sizeof *words))
            return t->table[slot] - 1;
    }
    if (t->count + 1 >= NC_TIR__MAX_TERMS || t->used + count > NC_TIR__MAX_WORDS) {
        t->overflow = 1;
        return 0;
    }
    memcpy(t->words + t->used, words, count * sizeof *words);
    t->list[t->count].first = t->used;
    t->list[t->count].count = count;
    t->list[t->count].kind = (uint16_t)kind;
    t->list[t->count].is_u32 = 0;
    t->used += count;
    t->table[slot] = ++t->count;
    return t->count - 1;
}

/* -- polynomials: monomials in ascending order, none with coefficient 0 -- */

typedef struct nc_tir__monomial {
    uint64_t coefficient;
    uint32_t degree;
    uint32_t factor[NC_TIR__MAX_DEGREE]; /* term indices, ascending */
} nc_tir__monomial;

typedef struct nc_tir__poly {
    uint32_t count;
    nc_tir__monomial m[NC_TIR__MAX_MONOMIALS];
} nc_tir__poly;

static uint32_t nc_tir__constant(nc_tir__terms *t, uint64_t value) {
    uint64_t words[2];
    words[0] = value;
    words[1] = 0; /* degree */
    return nc_tir__intern(t, NC_TIR__T_POLY, words, value ? 2 : 0);
}

static int nc_tir__is_constant(const nc_tir__terms *t, uint32_t term, uint64_t *value) {
    const nc_tir__term *x = &t->list[term];
    *value = 0;
    if (x->kind != NC_TIR__T_POLY) return 0;
    if (x->count == 0) return 1;
    *value = t->words[x->first];
    return x->count == 2;
}

/* A term as a polynomial: its monomials, or itself as the one factor of one. */
static void nc_tir__to_poly(const nc_tir__terms *t, uint32_t term, nc_tir__poly *p) {
    const nc_tir__term *x = &t->list[term];
    uint32_t at, i;
    p->count = 0;
    if (x->kind != NC_TIR__T_POLY) {
        p->count = 1;
        p->m[0].coefficient = 1;
        p->m[0].degree = 1;
        p->m[0].factor[0] = term;
        return;
    }
    for (at = 0; at < x->count; p->count++) {
        nc_tir__monomial *m = &p->m[p->count];
        m->coefficient = t->words[x->first + at++];
        m->degree = (uint32_t)t->words[x->first + at++];
        for (i = 0; i < m->degree; i++) m->factor[i] = (uint32_t)t->words[x->first + at++];
    }
}

/* Order of monomials: by degree, then by factors. */
static int nc_tir__order(const nc_tir__monomial *a, const nc_tir__monomial *b) {
    uint32_t i;
    if (a->degree != b->degree) return a->degree < b->degree ? -1 : 1;
    for (i = 0; i < a->degree; i++)
        if (a->factor[i] != b->factor[i]) return a->factor[i] < b->factor[i] ? -1 : 1;
    return 0;
}

/* Add a monomial in its place; 0 when the polynomial is full. */
static int nc_tir__poly_add(nc_tir__poly *p, const nc_tir__monomial *m) {
    uint32_t i = 0;
    if (m->coefficient == 0) return 1;
    while (i < p->count && nc_tir__order(&p->m[i], m) < 0) i++;
    if (i < p->count && nc_tir__order(&p->m[i], m) == 0) {
        p->m[i].coefficient = nc_gl_add(p->m[i].coefficient, m->coefficient);
        if (p->m[i].coefficient == 0) {
            memmove(&p->m[i], &p->m[i + 1], (p->count - i - 1) * sizeof *m);
            p->count--;
        }
        return 1;
    }
    if (p->count == NC_TIR__MAX_MONOMIALS) return 0;
    memmove(&p->m[i + 1], &p->m[i], (p->count - i) * sizeof *m);
    p->m[i] = *m;
    p->count++;
    return 1;
}

static uint32_t nc_tir__from_poly(nc_tir__terms *t, const nc_tir__poly *p) {
    uint64_t words[NC_TIR__MAX_MONOMIALS * (NC_TIR__MAX_DEGREE + 2)];
    uint32_t n = 0, i, j;
    if (p->count == 1 && p->m[0].degree == 1 && p->m[0].coefficient == 1) return p->m[0].factor[0];
    for (i = 0; i < p->count; i++) {
        words[n++] = p->m[i].coefficient;
        words[n++] = p->m[i].degree;
        for (j = 0; j < p->m[i].degree; j++) words[n++] = p->m[i].factor[j];
    }
    return nc_tir__intern(t, NC_TIR__T_POLY, words, n);
}

/* -- operations on terms -- */

/* Results of an operation beside those on the stack. */
enum { NC_TIR__NEXT_CHANNEL = 98, NC_TIR__NO_CRASH = 99 };

/* Result j of an operation on `n` argument terms in a channel state. */
static uint32_t nc_tir__result(nc_tir__terms *t, uint32_t op, uint32_t j, uint32_t channel,
                               const uint32_t *args, uint32_t n) {
    uint64_t words[NC_TIR__MAX_ARGS + 3];
    uint32_t i;
    words[0] = op;
    words[1] = j;
    words[2] = channel;
    for (i = 0; i < n; i++) words[3 + i] = args[i];
    return nc_tir__intern(t, NC_TIR__T_OP, words, n + 3);
}

static void nc_tir__sort2(uint32_t *pair) {
    const uint32_t first = pair[0];
    if (first <= pair[1]) return;
    pair[0] = pair[1];
    pair[1] = first;
}

/* scale * a + b; falls back to an opaque sum where the polynomial would grow too large. */
static uint32_t nc_tir__linear(nc_tir__terms *t, uint32_t a, uint64_t scale, uint32_t b) {
    nc_tir__poly p, q;
    uint32_t i, args[2];
    nc_tir__to_poly(t, b, &p);
    nc_tir__to_poly(t, a, &q);
    for (i = 0; i < q.count; i++) {
        q.m[i].coefficient = nc_gl_mul(q.m[i].coefficient, scale);
        if (!nc_tir__poly_add(&p, &q.m[i])) {
            args[0] = nc_tir__constant(t, scale);
            args[0] = nc_tir__result(t, NC_TIR__I_MUL, 0, 0, args, 1); /* opaque, but sound */
            args[1] = b;
            return nc_tir__result(t, NC_TIR__I_ADD, a, args[0], args + 1, 1);
        }
    }
    return nc_tir__from_poly(t, &p);
}

/* term + constant. */
static uint32_t nc_tir__offset(nc_tir__terms *t, uint32_t term, uint64_t constant) {
    return nc_tir__linear(t, term, 1, nc_tir__constant(t, constant));
}

/* a * b; falls back to an opaque product likewise. */
static uint32_t nc_tir__product(nc_tir__terms *t, uint32_t a, uint32_t b) {
    nc_tir__poly p, q, r;
    uint32_t i, j, k, args[2];
    nc_tir__to_poly(t, a, &p);
    nc_tir__to_poly(t, b, &q);
    r.count = 0;
    for (i = 0; i < p.count; i++)
        for (j = 0; j < q.count; j++) {
            nc_tir__monomial m = p.m[i];
            int fits = m.degree + q.m[j].degree <= NC_TIR__MAX_DEGREE;
            m.coefficient = nc_gl_mul(m.coefficient, q.m[j].coefficient);
            for (k = 0; fits && k < q.m[j].degree; k++) { /* merge, keeping factors ascending */
                uint32_t f = q.m[j].factor[k], at = m.degree++;
                for (; at > 0 && m.factor[at - 1] > f; at--) m.factor[at] = m.factor[at - 1];
                m.factor[at] = f;
            }
            if (!fits || !nc_tir__poly_add(&r, &m)) {
                args[0] = a;
                args[1] = b;
                nc_tir__sort2(args);
                return nc_tir__result(t, NC_TIR__I_MUL, 0, 0, args, 2);
            }
        }
    return nc_tir__from_poly(t, &r);
}

/* The term scaled so that its first coefficient is 1: "is it zero?" has the same answer. */
static uint32_t nc_tir__monic(nc_tir__terms *t, uint32_t term) {
    nc_tir__poly p;
    nc_gl inverse;
    nc_tir__to_poly(t, term, &p);
    if (p.count == 0 || nc_gl_inv(p.m[0].coefficient, &inverse) != NC_OK) return term;
    return nc_tir__linear(t, term, inverse, nc_tir__constant(t, 0));
}

/* a = b as a term; folds when the difference is constant. */
static uint32_t nc_tir__equal(nc_tir__terms *t, uint32_t a, uint32_t b) {
    uint32_t difference = nc_tir__linear(t, b, NC_GL_P - 1, a);
    uint64_t value;
    if (nc_tir__is_constant(t, difference, &value)) return nc_tir__constant(t, value == 0);
    difference = nc_tir__monic(t, difference);
    return nc_tir__result(t, NC_TIR__I_EQ, 0, 0, &difference, 1);
}

/* A term as base + offset with a constant offset; constants have base 0. */
static uint32_t nc_tir__base_of(nc_tir__terms *t, uint32_t term, uint64_t *offset) {
    nc_tir__poly poly;
    nc_tir__to_poly(t, term, &poly);
    *offset = 0;
    if (poly.count == 0 || poly.m[0].degree != 0) return term; /* the constant comes first */
    *offset = poly.m[0].coefficient;
    memmove(&poly.m[0], &poly.m[1], --poly.count * sizeof poly.m[0]);
    return nc_tir__from_poly(t, &poly);
}

/* -- memory: the RAM channel is a chain of stores -- */

/* The last store of a RAM state, or null: its words are those of nc_tir__result, the state before
 * it, the address and the value. */
static const uint64_t *nc_tir__last_store(const nc_tir__terms *t, uint32_t ram) {
    const nc_tir__term *x = &t->list[ram];
    const uint64_t *words = t->words + x->first;
    return x->kind == NC_TIR__T_OP && words[0] == NC_TIR__I_WRITE_MEM ? words + 2 : NULL;
}

/* What RAM holds at an address: the value of the last store there. Stores at another distance from
 * the same base are elsewhere; before one that may be anywhere the state is asked. */
static uint32_t nc_tir__ram_read(nc_tir__terms *t, uint32_t ram, uint32_t address) {
    uint64_t offset, other;
    const uint32_t base = nc_tir__base_of(t, address, &offset);
    const uint64_t *store;
    while ((store = nc_tir__last_store(t, ram)) != NULL) {
        if (store[1] == address) return (uint32_t)store[2];
        if (nc_tir__base_of(t, (uint32_t)store[1], &other) != base) break;
        ram = (uint32_t)store[0];
    }
    return nc_tir__result(t, NC_TIR__I_READ_MEM, 0, ram, &address, 1);
}

/* RAM after a store. Stores that are known to be elsewhere stand in the order of their offsets; one
 * at the same address replaces the one before it; what is there already changes nothing. */
static uint32_t nc_tir__ram_write(nc_tir__terms *t, uint32_t ram, uint32_t address,
                                  uint32_t value) {
    uint32_t passed[2 * NC_TIR__MAX_PASSED], args[2], n = 0;
    uint64_t offset, other;
    const uint32_t base = nc_tir__base_of(t, address, &offset);
    const uint64_t *store;
    while (n < NC_TIR__MAX_PASSED && (store = nc_tir__last_store(t, ram)) != NULL) {
        if (store[1] != address &&
            (nc_tir__base_of(t, (uint32_t)store[1], &other) != base || other < offset))
            break;
        if (store[1] != address) {
            passed[2 * n] = (uint32_t)store[1];
            passed[2 * n++ + 1] = (uint32_t)store[2];
        }
        ram = (uint32_t)store[0];
        if (store[1] == address) break;
    }
    args[0] = address;
    args[1] = value;
    if (nc_tir__ram_read(t, ram, address) != value)
        ram = nc_tir__result(t, NC_TIR__I_WRITE_MEM, 0, ram, args, 2);
    while (n-- > 0) ram = nc_tir__result(t, NC_TIR__I_WRITE_MEM, 0, ram, passed + 2 * n, 2);
    return ram;
}

/* Terms that are below 2^32 whatever their inputs. */
static int nc_tir__known_u32(const nc_tir__terms *t, uint32_t term) {
    const nc_tir__term *x = &t->list[term];
    uint64_t value;
    if (nc_tir__is_constant(t, term, &value)) return nc_tir__is_u32(value);
    if (x->is_u32) return 1;
    return x->kind == NC_TIR__T_OP && (nc_tir__table[t->words[x->first]].flags & NC_TIR__U32);
}

/* n / d rounded down, of canonical integers; a quotient's quotient is one of the product. */
static uint32_t nc_tir__quotient(nc_tir__terms *t, uint32_t n, uint32_t d) {
    const nc_tir__term *x = &t->list[n];
    uint64_t a, b;
    uint32_t args[2];
    args[0] = d;
    args[1] = n;
    if (x->kind == NC_TIR__T_OP && t->words[x->first] == NC_TIR__I_DIV_MOD &&
        t->words[x->first + 1] == 0 && nc_tir__is_constant(t, d, &a) &&
        nc_tir__is_constant(t, (uint32_t)t->words[x->first + 3], &b) && nc_tir__is_u32(a) &&
        nc_tir__is_u32(b) && nc_tir__is_u32(a * b)) {
        args[1] = (uint32_t)t->words[x->first + 4];
        args[0] = nc_tir__constant(t, a * b);
    }
    return nc_tir__result(t, NC_TIR__I_DIV_MOD, 0, 0, args, 2);
}

/* n modulo a constant d that is not 0: n - d * quotient. Only for a constant, so that polynomials
 * stay small. */
static uint32_t nc_tir__modulo(nc_tir__terms *t, uint32_t n, uint64_t d) {
    const uint32_t q = nc_tir__quotient(t, n, nc_tir__constant(t, d));
    const uint32_t r = nc_tir__linear(t, q, nc_gl_neg(d), n);
    t->list[r].is_u32 = 1;
    return r;
}

/* -- the meaning of straight-line code -- */

/* An operation of the block, for the search: operands bottom to top, results likewise. */
typedef struct nc_tir__node {
    nc_tir__tasm instruction;
    uint32_t args[NC_TIR__MAX_ARGS], results[NC_TIR__MAX_ARGS];
    uint8_t arg_count, result_count;
    uint32_t ram;      /* state of RAM before it */
    uint8_t new_check; /* it may crash where nothing before it did */
    uint8_t needed;
} nc_tir__node;

typedef struct nc_tir__meaning {
    uint32_t stack[NC_TIR__MAX_STACK]; /* bottom first; starts as NC_TIR__INPUTS unknowns */
    uint32_t n;
    uint32_t channel[NC_TIR__CHANNELS];
    uint32_t checks[NC_TIR__MAX_CHECKS]; /* ascending once finished, no duplicates */
    uint32_t check_count;
    int32_t dip; /* least stack size reached, relative to the start */
    nc_tir__node nodes[NC_TIR__MAX_NODES];
    uint32_t node_count;
    int too_many_nodes;
} nc_tir__meaning;

/* Conditions on a term. NC_TIR__C_GENERIC: the NC_TIR__NO_CRASH result of an operation. */
enum { NC_TIR__C_ZERO, NC_TIR__C_NONZERO, NC_TIR__C_U32, NC_TIR__C_GENERIC };

/* Record that execution crashes unless the condition holds; conditions that always hold are
 * left out. */
static void nc_tir__check(nc_tir__terms *t, nc_tir__meaning *s, uint32_t kind, uint32_t term) {
    uint64_t words[2], value;
    uint32_t check, i;
    if (kind == NC_TIR__C_U32 && nc_tir__known_u32(t, term)) return;
    if (kind == NC_TIR__C_ZERO || kind == NC_TIR__C_NONZERO) {
        if (nc_tir__is_constant(t, term, &value) && (value == 0) == (kind == NC_TIR__C_ZERO))
            return;
        term = nc_tir__monic(t, term);
    }
    words[0] = kind;
    words[1] = term;
    check = nc_tir__intern(t, NC_TIR__T_CHECK, words, 2);
    for (i = 0; i < s->check_count && s->checks[i] != check; i++) {
    }
    if (i == NC_TIR__MAX_CHECKS)
        t->overflow = 1;
    else if (i == s->check_count)
        s->checks[s->check_count++] = check;
}

static uint32_t nc_tir__take(nc_tir__meaning *s) { return s->stack[--s->n]; }

static void nc_tir__put(nc_tir__meaning *s, uint32_t term) { s->stack[s->n++] = term; }

/* A binary u32 operation or pow on constants that cannot crash; 0 when it does not fold. */
static int nc_tir__fold_u32(nc_tir__terms *t, uint32_t op, uint32_t below, uint32_t top,
                            uint32_t *result) {
    uint64_t a, b, r;
    if (!nc_tir__is_constant(t, top, &a) || !nc_tir__is_constant(t, below, &b)) return 0;
    if (!nc_tir__is_u32(b) || (op != NC_TIR__I_POW && !nc_tir__is_u32(a))) return 0;
    r = op == NC_TIR__I_LT    ? (uint64_t)(a < b)
        : op == NC_TIR__I_AND ? (a & b)
        : op == NC_TIR__I_XOR ? (a ^ b)
        : op == NC_TIR__I_OR  ? (a | b)
                              : nc_gl_pow(a, b);
    *result = nc_tir__constant(t, r);
    return 1;
}

/* Instructions with the flag NC_TIR__VALUE: args[0] below args[1]. */
static uint32_t nc_tir__value_of(nc_tir__terms *t, nc_tir__meaning *s, const nc_tir__tasm *i,
                                 const uint32_t *args) {
    uint32_t sorted[2], r, k;
    uint64_t value;
    nc_gl inverse;
    switch (i->op) {
    case NC_TIR__I_ADD: return nc_tir__linear(t, args[0], 1, args[1]);
    case NC_TIR__I_ADDI: return nc_tir__offset(t, args[0], i->arg);
    case NC_TIR__I_MUL: return nc_tir__product(t, args[0], args[1]);
    case NC_TIR__I_EQ: return nc_tir__equal(t, args[0], args[1]);
    case NC_TIR__I_INVERT:
        nc_tir__check(t, s, NC_TIR__C_NONZERO, args[0]);
        if (nc_tir__is_constant(t, args[0], &value) && nc_gl_inv(value, &inverse) == NC_OK)
            return nc_tir__constant(t, inverse);
        return nc_tir__result(t, i->op, 0, 0, args, 1);
    case NC_TIR__I_POW:
        nc_tir__check(t, s, NC_TIR__C_U32, args[0]);
        if (nc_tir__fold_u32(t, i->op, args[0], args[1], &r)) return r;
        if (!nc_tir__is_constant(t, args[0], &value) || value > NC_TIR__MAX_DEGREE)
            return nc_tir__result(t, i->op, 0, 0, args, 2);
        for (r = nc_tir__constant(t, 1); value > 0; value--) r = nc_tir__product(t, r, args[1]);
        return r;
    case NC_TIR__I_LOG2: nc_tir__check(t, s, NC_TIR__C_NONZERO, args[0]); /* fallthrough */
    case NC_TIR__I_POP_COUNT:
        nc_tir__check(t, s, NC_TIR__C_U32, args[0]);
        return nc_tir__result(t, i->op, 0, 0, args, 1);
    default: break; /* lt, and, xor, or */
    }
    nc_tir__check(t, s, NC_TIR__C_U32, args[0]);
    nc_tir__check(t, s, NC_TIR__C_U32, args[1]);
    if (nc_tir__fold_u32(t, i->op, args[0], args[1], &r)) return r;
    sorted[0] = args[0];
    sorted[1] = args[1];
    for (k = 0; i->op == NC_TIR__I_AND && k < 2; k++) /* the lower bits: a remainder */
        if (nc_tir__is_constant(t, args[k], &value) && value < UINT32_MAX && value > 0 &&
            (value & (value + 1)) == 0)
            return nc_tir__modulo(t, args[1 - k], value + 1);
    if (nc_tir__table[i->op].flags & NC_TIR__COMMUTES) nc_tir__sort2(sorted);
    return nc_tir__result(t, i->op, 0, 0, sorted, 2);
}

/* Element-wise input, output and memory, so that `write_io 2` means two `write_io 1`. */
static void nc_tir__symbolic_io(nc_tir__terms *t, nc_tir__meaning *s, const nc_tir__tasm *i) {
    const nc_tir__instruction *table = &nc_tir__table[i->op];
    const int reads = table->arg == NC_TIR__ARG_PUSHES;
    const int memory = table->channel == NC_TIR__CHANNEL_RAM;
    uint32_t *channel = &s->channel[table->channel], args[2] = {0, 0}, n = 0, k;
    if (memory) args[n++] = nc_tir__take(s); /* the pointer */
    for (k = 0; k < i->arg; k++) {
        if (reads) {
            nc_tir__put(s, memory ? nc_tir__ram_read(t, *channel, args[0])
                                  : nc_tir__result(t, i->op, 0, *channel, NULL, 0));
            if (!memory) *channel = nc_tir__result(t, i->op, 1, *channel, NULL, 0);
        } else {
            args[n] = nc_tir__take(s);
            *channel = memory ? nc_tir__ram_write(t, *channel, args[0], args[1])
                              : nc_tir__result(t, i->op, 0, *channel, args, 1);
        }
        if (memory) args[0] = nc_tir__offset(t, args[0], reads ? NC_GL_P - 1 : 1);
    }
    if (memory) nc_tir__put(s, args[0]);
}

static void nc_tir__symbolic_split(nc_tir__terms *t, nc_tir__meaning *s) {
    uint32_t a = nc_tir__take(s);
    uint64_t value;
    if (nc_tir__is_constant(t, a, &value)) {
        nc_tir__put(s, nc_tir__constant(t, value >> 32));
        nc_tir__put(s, nc_tir__constant(t, value & UINT32_MAX));
    } else if (nc_tir__known_u32(t, a)) {
        nc_tir__put(s, nc_tir__constant(t, 0));
        nc_tir__put(s, a);
    } else {
        nc_tir__put(s, nc_tir__result(t, NC_TIR__I_SPLIT, 0, 0, &a, 1));
        nc_tir__put(s, nc_tir__result(t, NC_TIR__I_SPLIT, 1, 0, &a, 1));
    }
}

static void nc_tir__symbolic_assert(nc_tir__terms *t, nc_tir__meaning *s, const nc_tir__tasm *i) {
    const uint32_t *top = &s->stack[s->n - 1];
    uint32_t k;
    if (i->op == NC_TIR__I_ASSERT) {
        nc_tir__check(t, s, NC_TIR__C_ZERO, nc_tir__offset(t, nc_tir__take(s), NC_GL_P - 1));
        return;
    }
    for (k = 0; k < 5; k++)
        nc_tir__check(t, s, NC_TIR__C_ZERO,
                      nc_tir__linear(t, *(top - k), NC_GL_P - 1, *(top - k - 5)));
    s->n -= 5;
}

/* A division: the quotient below the remainder. */
static void nc_tir__symbolic_division(nc_tir__terms *t, nc_tir__meaning *s) {
    uint32_t args[2];
    uint64_t n, d;
    args[1] = nc_tir__take(s);
    args[0] = nc_tir__take(s); /* the denominator */
    nc_tir__check(t, s, NC_TIR__C_U32, args[0]);
    nc_tir__check(t, s, NC_TIR__C_U32, args[1]);
    nc_tir__check(t, s, NC_TIR__C_NONZERO, args[0]);
    if (!nc_tir__is_constant(t, args[0], &d) || d == 0 || !nc_tir__is_u32(d)) {
        nc_tir__put(s, nc_tir__result(t, NC_TIR__I_DIV_MOD, 0, 0, args, 2));
        nc_tir__put(s, nc_tir__result(t, NC_TIR__I_DIV_MOD, 1, 0, args, 2));
    } else if (nc_tir__is_constant(t, args[1], &n)) {
        nc_tir__put(s, nc_tir__constant(t, n / d));
        nc_tir__put(s, nc_tir__constant(t, n % d));
    } else {
        nc_tir__put(s, nc_tir__quotient(t, args[1], args[0]));
        nc_tir__put(s, nc_tir__modulo(t, args[1], d));
    }
}

/* The sponge: once it is initialised it stays so, and what it was before does not matter. What is
 * absorbed from RAM is what a read of it would give. */
static void nc_tir__symbolic_sponge(nc_tir__terms *t, nc_tir__meaning *s, const nc_tir__tasm *i) {
    uint32_t *sponge = &s->channel[NC_TIR__CHANNEL_SPONGE], args[10], pointer, k;
    if (i->op == NC_TIR__I_SPONGE_INIT) {
        *sponge = nc_tir__result(t, i->op, NC_TIR__NEXT_CHANNEL, 0, NULL, 0);
        return;
    }
    if (t->list[*sponge].kind == NC_TIR__T_CHANNEL)
        nc_tir__check(t, s, NC_TIR__C_GENERIC,
                      nc_tir__result(t, NC_TIR__I_SPONGE_INIT, NC_TIR__NO_CRASH, *sponge, NULL, 0));
    if (i->op == NC_TIR__I_SPONGE_SQUEEZE) {
        for (k = 0; k < 10; k++) nc_tir__put(s, nc_tir__result(t, i->op, k, *sponge, NULL, 0));
        *sponge = nc_tir__result(t, i->op, NC_TIR__NEXT_CHANNEL, *sponge, NULL, 0);
        return;
    }
    if (i->op == NC_TIR__I_SPONGE_ABSORB) {
        for (k = 10; k-- > 0;) args[k] = nc_tir__take(s);
    } else {
        pointer = nc_tir__take(s);
        for (k = 0; k < 10; k++)
            args[9 - k] =
                nc_tir__ram_read(t, s->channel[NC_TIR__CHANNEL_RAM], nc_tir__offset(t, pointer, k));
        s->n -= 4;
        for (k = 6; k < 10; k++) nc_tir__put(s, args[k]);
        nc_tir__put(s, nc_tir__offset(t, pointer, 10));
    }
    *sponge = nc_tir__result(t, NC_TIR__I_SPONGE_ABSORB, NC_TIR__NEXT_CHANNEL, *sponge, args, 10);
}

/* The hash of constants is known. 0: they are not all constant. */
static int nc_tir__fold_hash(nc_tir__terms *t, nc_tir__meaning *s, const uint32_t *args) {
    nc_gl in[10], digest[5];
    int k;
    for (k = 0; k < 10; k++)
        if (!nc_tir__is_constant(t, args[9 - k], &in[k])) return 0;
    nc_gl_tip5_hash_10(in, digest);
    for (k = 5; k-- > 0;) nc_tir__put(s, nc_tir__constant(t, digest[k]));
    return 1;
}

/* Everything else: results are opaque functions of the operands and the channel. */
static void nc_tir__symbolic_opaque(nc_tir__terms *t, nc_tir__meaning *s, const nc_tir__tasm *i) {
    const nc_tir__instruction *table = &nc_tir__table[i->op];
    uint32_t args[NC_TIR__MAX_ARGS] = {0}, pops = nc_tir__pops(i), pushes = nc_tir__pushes(i), k;
    const uint32_t channel = table->channel ? s->channel[table->channel] : 0;
    for (k = pops; k-- > 0;) args[k] = nc_tir__take(s);
    if (i->op == NC_TIR__I_HASH && nc_tir__fold_hash(t, s, args)) return;
    if (table->flags & NC_TIR__CRASHES) {
        k = nc_tir__result(t, i->op, NC_TIR__NO_CRASH, channel, args, pops);
        nc_tir__check(t, s, NC_TIR__C_GENERIC, k);
    }
    for (k = 0; k < pushes; k++) nc_tir__put(s, nc_tir__result(t, i->op, k, channel, args, pops));
    if (table->flags & NC_TIR__WRITES)
        s->channel[table->channel] =
            nc_tir__result(t, i->op, NC_TIR__NEXT_CHANNEL, channel, args, pops);
}

/* The product of two elements of the extension, coefficient 0 last: where one of them lies in the
 * base field, element by element; else an opaque function of both, whose order does not matter. */
static void nc_tir__product_of_triples(nc_tir__terms *t, const uint32_t *a, const uint32_t *b,
                                       uint32_t product[3]) {
    const uint32_t zero = nc_tir__constant(t, 0);
    uint32_t args[6], k;
    if (a[0] == zero && a[1] == zero) {
        const uint32_t *other = a;
        a = b;
        b = other;
    }
    if (b[0] == zero && b[1] == zero) {
        for (k = 0; k < 3; k++) product[k] = nc_tir__product(t, a[k], b[2]);
        return;
    }
    for (k = 0; k < 2 && a[k] == b[k]; k++) {
    }
    memcpy(args, a[k] <= b[k] ? a : b, sizeof *args * 3);
    memcpy(args + 3, a[k] <= b[k] ? b : a, sizeof *args * 3);
    for (k = 0; k < 3; k++) product[k] = nc_tir__result(t, NC_TIR__I_XX_MUL, k, 0, args, 6);
}

/* Sums and products of triples; 0 for other instructions. */
static int nc_tir__symbolic_triples(nc_tir__terms *t, nc_tir__meaning *s, const nc_tir__tasm *i) {
    const uint32_t pops = nc_tir__pops(i);
    uint32_t *args = &s->stack[s->n - pops], scalar[3], result[3], k;
    switch (i->op) {
    case NC_TIR__I_XX_ADD:
        for (k = 0; k < 3; k++) result[k] = nc_tir__linear(t, args[k], 1, args[k + 3]);
        break;
    case NC_TIR__I_XX_MUL: nc_tir__product_of_triples(t, args, args + 3, result); break;
    case NC_TIR__I_XB_MUL:
        scalar[0] = scalar[1] = nc_tir__constant(t, 0);
        scalar[2] = args[3];
        nc_tir__product_of_triples(t, args, scalar, result);
        break;
    default: return 0;
    }
    memcpy(args, result, sizeof result);
    s->n -= pops - 3;
    return 1;
}

/* The triple that starts at an address, coefficient 0 last. */
static void nc_tir__read_triple(nc_tir__terms *t, uint32_t ram, uint32_t address,
                                uint32_t triple[3]) {
    uint32_t k;
    for (k = 0; k < 3; k++) triple[2 - k] = nc_tir__ram_read(t, ram, nc_tir__offset(t, address, k));
}

/* Steps through RAM: pointers move on by what they read, and a dot step is two reads, a product and
 * a sum. */
static void nc_tir__symbolic_ram_step(nc_tir__terms *t, nc_tir__meaning *s, const nc_tir__tasm *i) {
    const int wide = i->op == NC_TIR__I_XX_DOT || i->op == NC_TIR__I_X_HORNER;
    const uint32_t ram = s->channel[NC_TIR__CHANNEL_RAM];
    uint32_t *st = &s->stack[s->n - 1], k; /* st[-k] is st_k */
    if (i->op == NC_TIR__I_XX_DOT || i->op == NC_TIR__I_XB_DOT) {
        uint32_t a[3], b[3], product[3];
        a[0] = a[1] = nc_tir__constant(t, 0);
        if (wide)
            nc_tir__read_triple(t, ram, *st, a);
        else
            a[2] = nc_tir__ram_read(t, ram, *st);
        nc_tir__read_triple(t, ram, *(st - 1), b);
        nc_tir__product_of_triples(t, a, b, product);
        for (k = 0; k < 3; k++) *(st - 4 + k) = nc_tir__linear(t, product[k], 1, *(st - 4 + k));
        *(st - 1) = nc_tir__offset(t, *(st - 1), 3);
        *st = nc_tir__offset(t, *st, wide ? 3 : 1);
    } else {
        const uint32_t pointer = *(st - 5);
        nc_tir__symbolic_opaque(t, s, i);
        *(st - 5) = nc_tir__offset(t, pointer, wide ? NC_GL_P - 3 : NC_GL_P - 1);
    }
}

/* Instructions that only copy, make, drop and rearrange values. */
static void nc_tir__symbolic_move(nc_tir__terms *t, nc_tir__meaning *s, const nc_tir__tasm *i) {
    uint32_t *top = &s->stack[s->n - 1];
    switch (i->op) {
    case NC_TIR__I_PUSH: nc_tir__put(s, nc_tir__constant(t, i->arg)); break;
    case NC_TIR__I_POP: s->n -= (uint32_t)i->arg; break;
    case NC_TIR__I_DUP: nc_tir__put(s, *(top - i->arg)); break;
    case NC_TIR__I_NOP: break;
    default: nc_tir__rearrange(top, sizeof *top, i->op, (size_t)i->arg); break;
    }
}

/* Run one instruction on the meaning; record a node unless it only moves values. */
static void nc_tir__symbolic_step(nc_tir__terms *t, nc_tir__meaning *s, const nc_tir__tasm *i) {
    const nc_tir__instruction *table = &nc_tir__table[i->op];
    const uint32_t pops = nc_tir__pops(i), pushes = nc_tir__pushes(i), checks = s->check_count;
    nc_tir__node *node = &s->nodes[s->node_count];
    if (table->class_ == NC_TIR__CLASS_MOVE || table->class_ == NC_TIR__CLASS_CONSTANT) {
        nc_tir__symbolic_move(t, s, i);
        return;
    }
    if (s->node_count + 1 >= NC_TIR__MAX_NODES)
        s->too_many_nodes = 1;
    else
        s->node_count++;
    node->instruction = *i;
    node->arg_count = (uint8_t)pops;
    node->result_count = (uint8_t)pushes;
    node->needed = 0;
    node->ram = s->channel[NC_TIR__CHANNEL_RAM];
    memcpy(node->args, &s->stack[s->n - pops], pops * sizeof *node->args);
    if (table->class_ == NC_TIR__CLASS_ASSERT) {
        nc_tir__symbolic_assert(t, s, i);
    } else if (table->flags & NC_TIR__VALUE) {
        s->n -= pops;
        nc_tir__put(s, nc_tir__value_of(t, s, i, node->args));
    } else if (nc_tir__counts(table)) {
        nc_tir__symbolic_io(t, s, i);
    } else if (i->op == NC_TIR__I_SPLIT) {
        nc_tir__symbolic_split(t, s);
    } else if (i->op >= NC_TIR__I_B_HORNER) {
        nc_tir__symbolic_ram_step(t, s, i); /* beside `or`, which is a value */
    } else if (i->op == NC_TIR__I_DIV_MOD) {
        nc_tir__symbolic_division(t, s);
    } else if (table->channel == NC_TIR__CHANNEL_SPONGE) {
        nc_tir__symbolic_sponge(t, s, i);
    } else if (!nc_tir__symbolic_triples(t, s, i)) {
        nc_tir__symbolic_opaque(t, s, i);
    }
    memcpy(node->results, &s->stack[s->n - pushes], pushes * sizeof *node->results);
    node->new_check = s->check_count > checks;
}

static void nc_tir__sort_checks(nc_tir__meaning *s) {
    uint32_t i, j;
    for (i = 1; i < s->check_count; i++) { /* by insertion */
        const uint32_t c = s->checks[i];
        for (j = i; j > 0 && s->checks[j - 1] > c; j--) s->checks[j] = s->checks[j - 1];
        s->checks[j] = c;
    }
}

/* Symbolic run of a sequence. NC_TIR_PROVEN when its meaning is known. */
static nc_tir_verdict nc_tir__symbolic_run(nc_tir__terms *t, const nc_tir__tasm *list, size_t count,
                                           nc_tir__meaning *s) {
    uint64_t k;
    size_t i;
    s->n = NC_TIR__INPUTS;
    s->check_count = s->node_count = 0;
    s->dip = s->too_many_nodes = 0;
    for (k = 0; k < NC_TIR__INPUTS; k++) s->stack[k] = nc_tir__intern(t, NC_TIR__T_INPUT, &k, 1);
    for (k = 0; k < NC_TIR__CHANNELS; k++)
        s->channel[k] = nc_tir__intern(t, NC_TIR__T_CHANNEL, &k, 1);
    for (i = 0; i < count; i++) {
        const nc_tir__instruction *table = &nc_tir__table[list[i].op];
        nc_tir__tasm one = list[i];
        int32_t height;
        if (table->flags & NC_TIR__JUMPS) return NC_TIR_NOT_STRAIGHT;
        if (table->arg == NC_TIR__ARG_INDEX && one.arg > 15) return NC_TIR_NOT_STRAIGHT;
        if (s->n < 32 || s->n + 16 > NC_TIR__MAX_STACK) return NC_TIR_TOO_LARGE;
        one.line = (uint32_t)i; /* from here on: which instruction of the block */
        nc_tir__symbolic_step(t, s, &one);
        if (t->overflow) return NC_TIR_TOO_LARGE;
        height = (int32_t)s->n - NC_TIR__INPUTS;
        if (height < s->dip) s->dip = height;
    }
    nc_tir__sort_checks(s);
    return NC_TIR_PROVEN;
}

/* -- proofs -- */

typedef struct nc_tir__prover {
    nc_tir__terms terms;
    nc_tir__meaning before, after;
} nc_tir__prover;

/* The meaning of a sequence, in p->before. */
static nc_tir_verdict nc_tir__interpret(nc_tir__prover *p, const nc_tir__tasm *code, size_t n) {
    nc_tir__terms_reset(&p->terms);
    return nc_tir__symbolic_run(&p->terms, code, n, &p->before);
}

static nc_tir_verdict nc_tir__compare(const nc_tir__meaning *a, const nc_tir__meaning *b) {
    if (a->n != b->n || memcmp(a->stack, b->stack, a->n * sizeof *a->stack))
        return NC_TIR_DIFFERENT_STACK;
    if (memcmp(a->channel, b->channel, sizeof a->channel)) return NC_TIR_DIFFERENT_EFFECTS;
    if (a->dip != b->dip || a->check_count != b->check_count ||
        memcmp(a->checks, b->checks, a->check_count * sizeof *a->checks))
        return NC_TIR_DIFFERENT_CRASHES;
    return NC_TIR_PROVEN;
}

/* Both sequences over the same terms: equal meanings are equal indices. */
static nc_tir_verdict nc_tir__prove(nc_tir__prover *p, const nc_tir__tasm *before, size_t n,
                                    const nc_tir__tasm *after, size_t m) {
    nc_tir_verdict verdict = nc_tir__interpret(p, before, n);
    if (verdict == NC_TIR_PROVEN) verdict = nc_tir__symbolic_run(&p->terms, after, m, &p->after);
    return verdict == NC_TIR_PROVEN ? nc_tir__compare(&p->before, &p->after) : verdict;
}

NC_API nc_tir_verdict nc_tir_verify(const char *before, const char *after) {
    nc_tir__prover *p = (nc_tir__prover *)nc__alloc(NULL, sizeof *p); /* a run sets what it reads */
    nc_tir__code a, b;
    nc_tir_verdict verdict = NC_TIR_NOT_STRAIGHT;
    nc_status status, second;
    if (!p) return NC_TIR_TOO_LARGE;
    status = nc_tir__read_tasm(before, NC_TIR__FOR_PROOF, &a, NULL);
    second = nc_tir__read_tasm(after, NC_TIR__FOR_PROOF, &b, NULL);
    if (status == NC_OK || second == NC_ERR_MEMORY) status = second;
    if (status == NC_ERR_MEMORY) verdict = NC_TIR_TOO_LARGE;
    if (status == NC_OK && !a.labels && !b.labels)
        verdict = nc_tir__prove(p, a.list, stbds_arrlenu(a.list), b.list, stbds_arrlenu(b.list));
    nc_tir__code_free(&a);
    nc_tir__code_free(&b);
    nc__free(NULL, p, sizeof *p);
    return verdict;
}

NC_API const char *nc_tir_verdict_str(nc_tir_verdict verdict) {
    static const char *const text[] = {"proven equivalent",      "final stacks differ",
                                       "effects differ",         "crash conditions differ",
                                       "not straight-line code", "too large for the prover"};
    return (unsigned)verdict <= NC_TIR_TOO_LARGE ? text[verdict] : "unknown verdict";
}

NC__WARM_END

/* >>blocks ======================================================================== */

/* Words of a node, and where its head's fields start. */
enum {
    NC_TIR__W_HEAD,
    NC_TIR__W_START, /* first and last instruction of its life */
    NC_TIR__W_END,   /* NC_TIR__LIVES_ON when what it made is left at the end */
    NC_TIR__W_IMMEDIATE,
    NC_TIR__NODE_WORDS,
    NC_TIR__CONTEXT = NC_TIR__NODE_WORDS * NC_TIR_BLOCK_NODES, /* words of st0.. at the start */
    NC_TIR__CONTEXT_WORDS = 16,
    NC_TIR__HEAD_CLASS = 6, /* below it: opcode plus 1 */
    NC_TIR__HEAD_MAKER = 9, /* of the upper operand */
    NC_TIR__HEAD_SECOND = 14,
    NC_TIR__LIVES_ON = NC_TIR_BLOCK_NODES
};
NC_TIR__STATIC(words_fill_a_block, NC_TIR__CONTEXT + NC_TIR__CONTEXT_WORDS == NC_TIR_BLOCK_WORDS);
NC_TIR__STATIC(opcodes_fit_their_field, (int)NC_TIR__I_COUNT < 1 << NC_TIR__HEAD_CLASS);

NC__COLD_BEGIN

/* The fields of a head. */
typedef struct nc_tir__head {
    uint32_t op, class_, maker[2]; /* op: opcode plus 1, 0 where there is no node */
} nc_tir__head;

static nc_tir__head nc_tir__head_of(uint64_t word) {
    nc_tir__head h;
    h.op = (uint32_t)word & 63;
    h.class_ = (uint32_t)(word >> NC_TIR__HEAD_CLASS) & 7;
    h.maker[0] = (uint32_t)(word >> NC_TIR__HEAD_MAKER) & 31;
    h.maker[1] = (uint32_t)(word >> NC_TIR__HEAD_SECOND) & 31;
    return h;
}

/* Who made each stack element, while a block runs: a node, or NC_TIR__MADE_BEFORE + i for what st_i
 * was at the start, or NC_TIR__MADE_DEEP below that. */
enum {
    NC_TIR__MADE_BEFORE = NC_TIR_BLOCK_NODES,
    NC_TIR__MAKERS = NC_TIR__MADE_BEFORE + NC_TIR__CONTEXT_WORDS,
    NC_TIR__MADE_DEEP = NC_TIR__MAKERS
};

/* Elements that a block can take, and as many that it can leave. */
enum { NC_TIR__FLOW_DEPTH = NC_TIR_BLOCK_NODES * NC_TIR__MAX_ARGS + NC_TIR__CONTEXT_WORDS };

typedef struct nc_tir__flow {
    uint8_t maker[2 * NC_TIR__FLOW_DEPTH]; /* bottom first */
    uint32_t n;
    uint8_t last_use[NC_TIR__MAKERS + 1]; /* one more than the node that last read it, or 0 */
    uint8_t u32_use[NC_TIR__MAKERS + 1];
} nc_tir__flow;

/* Node i reads the element at this depth; its maker. */
static uint8_t nc_tir__read_by(nc_tir__flow *f, uint32_t depth, uint32_t i, int u32) {
    const uint8_t maker = f->maker[f->n - 1 - depth];
    f->last_use[maker] = (uint8_t)(i + 1);
    f->u32_use[maker] |= (uint8_t)u32;
    return maker;
}

/* Node i on the flow; makers gets those nodes of the block that made its upper two operands. */
static void nc_tir__flow_step(nc_tir__flow *f, const nc_tir__tasm *t, uint32_t i,
                              uint32_t maker[2]) {
    const uint32_t pops = nc_tir__pops(t), pushes = nc_tir__pushes(t);
    uint8_t read;
    uint32_t k;
    switch (t->op) {
    case NC_TIR__I_DUP:
        read = nc_tir__read_by(f, (uint32_t)t->arg, i, 0);
        f->maker[f->n++] = read;
        if (read < NC_TIR_BLOCK_NODES) maker[0] = read;
        return;
    case NC_TIR__I_SWAP:
    case NC_TIR__I_PICK:
    case NC_TIR__I_PLACE: nc_tir__rearrange(&f->maker[f->n - 1], 1, t->op, (size_t)t->arg); return;
    case NC_TIR__I_POP: f->n -= pops; return; /* reads nothing */
    default: break;
    }
    for (k = 0; k < pops; k++) {
        read = nc_tir__read_by(f, k, i, nc_tir__costs_u32(t->op));
        if (k < 2 && read < NC_TIR_BLOCK_NODES) maker[k] = read;
    }
    f->n -= pops;
    for (k = 0; k < pushes; k++) f->maker[f->n++] = (uint8_t)i;
}

/* Encode at most 32 instructions; node i is instruction i. */
static void nc_tir__encode(const nc_tir__tasm *code, size_t count,
                           nc_gl words[NC_TIR_BLOCK_WORDS]) {
    const uint32_t n = count < NC_TIR_BLOCK_NODES ? (uint32_t)count : NC_TIR_BLOCK_NODES;
    nc_tir__flow f;
    uint32_t i, k;
    memset(words, 0, NC_TIR_BLOCK_WORDS * sizeof *words);
    memset(&f, 0, sizeof f);
    memset(f.maker, NC_TIR__MADE_DEEP, sizeof f.maker);
    f.n = NC_TIR__FLOW_DEPTH;
    for (i = 0; i < NC_TIR__CONTEXT_WORDS; i++)
        f.maker[f.n - 1 - i] = (uint8_t)(NC_TIR__MADE_BEFORE + i);
    for (i = 0; i < n; i++) {
        nc_gl *w = words + NC_TIR__NODE_WORDS * i;
        uint32_t maker[2];
        maker[0] = maker[1] = i; /* itself: made outside the block, or no operand */
        nc_tir__flow_step(&f, &code[i], i, maker);
        w[NC_TIR__W_HEAD] = (code[i].op + 1) |
                            (uint32_t)nc_tir__table[code[i].op].class_ << NC_TIR__HEAD_CLASS |
                            maker[0] << NC_TIR__HEAD_MAKER | maker[1] << NC_TIR__HEAD_SECOND;
        w[NC_TIR__W_START] = i;
        w[NC_TIR__W_IMMEDIATE] = /* error ids are no part of it */
            nc_tir__table[code[i].op].arg == NC_TIR__ARG_NONE ? 0 : code[i].arg;
    }
    for (k = 0; k < f.n; k++) /* what is left lives on */
        if (f.maker[k] < NC_TIR_BLOCK_NODES) f.last_use[f.maker[k]] = NC_TIR__LIVES_ON + 1;
    for (i = 0; i < n; i++)
        words[NC_TIR__NODE_WORDS * i + NC_TIR__W_END] = f.last_use[i] ? f.last_use[i] - 1u : i;
    for (i = 0; i < NC_TIR__CONTEXT_WORDS; i++)
        words[NC_TIR__CONTEXT + i] =
            f.u32_use[NC_TIR__MADE_BEFORE + i] | (uint32_t)f.last_use[NC_TIR__MADE_BEFORE + i] << 3;
}

NC_API nc_status nc_tir_encode(const char *tasm, nc_gl words[NC_TIR_BLOCK_WORDS], nc_error *err) {
    nc_tir__code code;
    nc_status status;
    size_t i;
    if (!words) return nc__fail(err, NC_ERR_ARG, 0, 0, "no words");
    status = nc_tir__read_tasm(tasm, NC_TIR__FOR_PROOF, &code, err);
    if (status == NC_OK && stbds_arrlenu(code.list) > NC_TIR_BLOCK_NODES)
        status = nc__fail(err, NC_ERR_LIMIT, 0, 0, "more than %d instructions", NC_TIR_BLOCK_NODES);
    if (status == NC_OK && code.labels)
        status = nc__fail(err, NC_ERR_FORMAT, 0, 0, "a block has no labels");
    for (i = 0; status == NC_OK && i < stbds_arrlenu(code.list); i++)
        if (nc_tir__table[code.list[i].op].flags & NC_TIR__JUMPS)
            status = nc__fail(err, NC_ERR_FORMAT, code.list[i].line, code.list[i].column,
                              "a block has no jumps");
    if (status == NC_OK) nc_tir__encode(code.list, stbds_arrlenu(code.list), words);
    nc_tir__code_free(&code);
    return status;
}

/* The instruction of a node, as far as its words can be those of one; 0: they cannot. */
static int nc_tir__instruction_of(const nc_gl *w, nc_tir__tasm *t) {
    const uint32_t op = nc_tir__head_of(w[NC_TIR__W_HEAD]).op;
    const uint64_t immediate = w[NC_TIR__W_IMMEDIATE];
    const nc_tir__instruction *table;
    if (op == 0 || op > NC_TIR__I_COUNT) return 0;
    table = &nc_tir__table[op - 1];
    *t = nc_tir__make(op - 1, immediate);
    if (table->flags & NC_TIR__JUMPS) return 0;
    if (nc_tir__counts(table)) return immediate >= 1 && immediate <= 5;
    return table->arg == NC_TIR__ARG_NONE    ? immediate == 0
           : table->arg == NC_TIR__ARG_INDEX ? immediate <= 15
                                             : immediate < NC_GL_P;
}

/* The block that the words encode: its instructions and their number, or -1 where these encode to
 * other words. */
static int nc_tir__decode(const nc_gl *words, nc_tir__tasm code[NC_TIR_BLOCK_NODES]) {
    nc_gl again[NC_TIR_BLOCK_WORDS];
    uint32_t n = 0;
    while (n < NC_TIR_BLOCK_NODES &&
           nc_tir__instruction_of(words + NC_TIR__NODE_WORDS * n, &code[n]))
        n++;
    nc_tir__encode(code, n, again);
    return memcmp(words, again, sizeof again) ? -1 : (int)n;
}

/* Do the words encode a block? */
static int nc_tir__check_words(const nc_gl *words) {
    nc_tir__tasm code[NC_TIR_BLOCK_NODES];
    return nc_tir__decode(words, code) >= 0;
}

NC_API nc_status nc_tir_decode(const nc_gl words[NC_TIR_BLOCK_WORDS], char **tasm) {
    nc_tir__tasm code[NC_TIR_BLOCK_NODES];
    nc__buffer out;
    int n, i;
    if (tasm) *tasm = NULL;
    if (!words || !tasm) return NC_ERR_ARG;
    n = nc_tir__decode(words, code);
    if (n < 0) return NC_ERR_FORMAT;
    memset(&out, 0, sizeof out);
    for (i = 0; i < n; i++) nc_tir__print_instruction(&out, NULL, &code[i]);
    return nc_tir__deliver(&out, tasm);
}

/* >>network ======================================================================= */

/* -- shape and weights -- */

/* Parameters, one after the other; matrices have a row for each input. */
enum {
    NC_TIR__D = 64, /* width */
    NC_TIR__HEADS = 2,
    NC_TIR__HEAD = NC_TIR__D / NC_TIR__HEADS,
    NC_TIR__FFN = 128,
    NC_TIR__LAYERS = 2,
    NC_TIR__LATENTS = NC_TIR_BLOCK_NODES * NC_TIR__D, /* of one block */
    /* rows of the embedding of a node: opcode, class, immediate, length of life, distance to the
     * makers of both operands; a node is the sum of one of each */
    NC_TIR__NODE_FEATURES = 6,
    NC_TIR__ROWS_CLASS = 64,
    NC_TIR__ROWS_IMMEDIATE = NC_TIR__ROWS_CLASS + 8,
    NC_TIR__ROWS_LIFE = NC_TIR__ROWS_IMMEDIATE + 16,
    NC_TIR__ROWS_MAKER = NC_TIR__ROWS_LIFE + NC_TIR_BLOCK_NODES + 1,
    NC_TIR__NODE_ROWS = NC_TIR__ROWS_MAKER + 2 * NC_TIR_BLOCK_NODES,
    /* rows of the embedding of a state, which is the sum of one of each: its last move, its
     * height, operations still to do, what each of the upper elements is, operands and opcodes of
     * the nearest two operations, where the upper four elements must end, the lowest place that is
     * not as it must be */
    NC_TIR__TOPS = 16,
    NC_TIR__TOP_KINDS = 16,
    NC_TIR__AIMS = 4,
    NC_TIR__AIM_KINDS = 20,
    NC_TIR__DEPTHS = 13, /* classes of depths */
    NC_TIR__ROWS_HEIGHT = 65,
    NC_TIR__ROWS_OPEN = NC_TIR__ROWS_HEIGHT + 16,
    NC_TIR__ROWS_TOP = NC_TIR__ROWS_OPEN + 16,
    NC_TIR__ROWS_NEXT = NC_TIR__ROWS_TOP + NC_TIR__TOPS * NC_TIR__TOP_KINDS,
    NC_TIR__NEXT_ROWS = NC_TIR__DEPTHS * NC_TIR__DEPTHS + 1,
    NC_TIR__ROWS_NEXT_OP = NC_TIR__ROWS_NEXT + 2 * NC_TIR__NEXT_ROWS,
    NC_TIR__ROWS_AIM = NC_TIR__ROWS_NEXT_OP + 2 * 64,
    NC_TIR__ROWS_HOLE = NC_TIR__ROWS_AIM + NC_TIR__AIMS * NC_TIR__AIM_KINDS,
    NC_TIR__STATE_ROWS = NC_TIR__ROWS_HOLE + NC_TIR__DEPTHS * NC_TIR__DEPTHS,
    NC_TIR__STATE_FEATURES = 3 + NC_TIR__TOPS + 4 + NC_TIR__AIMS + 1,
    /* one encoder layer */
    NC_TIR__L_Q = 0,
    NC_TIR__L_K = NC_TIR__L_Q + NC_TIR__D * NC_TIR__D,
    NC_TIR__L_V = NC_TIR__L_K + NC_TIR__D * NC_TIR__D,
    NC_TIR__L_O = NC_TIR__L_V + NC_TIR__D * NC_TIR__D,
    NC_TIR__L_UP = NC_TIR__L_O + NC_TIR__D * NC_TIR__D,
    NC_TIR__L_BIAS = NC_TIR__L_UP + NC_TIR__D * NC_TIR__FFN,
    NC_TIR__L_DOWN = NC_TIR__L_BIAS + NC_TIR__FFN,
    NC_TIR__L_GAMMA = NC_TIR__L_DOWN + NC_TIR__FFN * NC_TIR__D,
    NC_TIR__L_BETA = NC_TIR__L_GAMMA + NC_TIR__D,
    NC_TIR__LAYER = NC_TIR__L_BETA + NC_TIR__D,
    /* decoder: 128 -> 128 -> 64, from a latent and a state to scores of moves (nc_tir__code_of) and
     * of the state itself. A search leaves the latent 0. */
    NC_TIR__IN = 2 * NC_TIR__D,
    NC_TIR__OUT = 64,
    NC_TIR__CODE_VALUE = 58,
    NC_TIR__P_HIDDEN = NC_TIR__LAYERS * NC_TIR__LAYER,
    NC_TIR__P_HIDDEN_BIAS = NC_TIR__P_HIDDEN + NC_TIR__IN * NC_TIR__FFN,
    NC_TIR__P_OUT = NC_TIR__P_HIDDEN_BIAS + NC_TIR__FFN,
    NC_TIR__P_OUT_BIAS = NC_TIR__P_OUT + NC_TIR__FFN * NC_TIR__OUT,
    NC_TIR__P_NODES = NC_TIR__P_OUT_BIAS + NC_TIR__OUT,
    NC_TIR__P_STATES = NC_TIR__P_NODES + NC_TIR__NODE_ROWS * NC_TIR__D,
    NC_TIR__PARAMETERS = NC_TIR__P_STATES + NC_TIR__STATE_ROWS * NC_TIR__D
};
NC_TIR__STATIC(network_has_the_documented_size,
               (int)NC_TIR__P_NODES == 90816 && (int)NC_TIR__PARAMETERS == 90816 + 80320);

enum {
    NC_TIR__HIDDEN_WORDS = NC_TIR__FFN / 4, /* four lanes of 16 bits, as they lie in memory */
    NC_TIR__OUT_WORDS = NC_TIR__OUT / 4     /* the same, the lowest first */
};

/* The weights, and what the decoder makes of them: its first layer taken with the rows of a state's
 * embedding, and its second, a row for each input, and that again in words. */
struct nc_tir_model {
    nc_fixed w[NC_TIR__PARAMETERS];
    uint64_t rows[(size_t)NC_TIR__STATE_ROWS * NC_TIR__HIDDEN_WORDS]; /* in 1/128, 1,023 higher */
    uint64_t hidden_bias[NC_TIR__HIDDEN_WORDS];                       /* the same */
    uint64_t out_words[(size_t)NC_TIR__FFN * NC_TIR__OUT_WORDS];
    int16_t out[NC_TIR__FFN * NC_TIR__OUT];               /* each output's in units of its own: */
    int32_t out_unit[NC_TIR__OUT], out_bias[NC_TIR__OUT]; /* of NC_TIR__LOGIT */
};

NC_API size_t nc_tir_model_parameters(size_t *embedding) {
    if (embedding) *embedding = NC_TIR__PARAMETERS - NC_TIR__P_NODES;
    return NC_TIR__P_NODES;
}

/* The parts of a layer and of the whole, in order: where they end and the fan-in of their random
 * start, 0 for biases and gains. */
typedef struct nc_tir__part {
    uint32_t end, fan_in;
} nc_tir__part;

/* How many inputs the weight with this index is one of; 0: a gain or a bias, which starts as 1
 * or 0. */
static uint32_t nc_tir__fan_in(uint32_t i) {
    static const nc_tir__part layer[] = {{NC_TIR__L_BIAS, NC_TIR__D},
                                         {NC_TIR__L_DOWN, 0},
                                         {NC_TIR__L_GAMMA, NC_TIR__FFN},
                                         {NC_TIR__LAYER, 0}};
    static const nc_tir__part rest[] = {{NC_TIR__P_HIDDEN_BIAS, NC_TIR__IN},
                                        {NC_TIR__P_OUT, 0},
                                        {NC_TIR__P_OUT_BIAS, NC_TIR__FFN},
                                        {NC_TIR__P_NODES, 0},
                                        {NC_TIR__PARAMETERS, 16}}; /* embeddings */
    const nc_tir__part *part = i < NC_TIR__P_HIDDEN ? layer : rest;
    if (i < NC_TIR__P_HIDDEN) i %= NC_TIR__LAYER;
    while (i >= part->end) part++;
    return part->fan_in;
}

static void nc_tir__derive(nc_tir_model *model);

static int nc_tir__is_gain(uint32_t i) {
    return i < NC_TIR__P_HIDDEN && i % NC_TIR__LAYER >= NC_TIR__L_GAMMA &&
           i % NC_TIR__LAYER < NC_TIR__L_BETA;
}

NC_API nc_status nc_tir_model_create(nc_tir_model **model, uint64_t seed) {
    uint32_t i, words[4], k;
    if (!model) return NC_ERR_ARG;
    *model = (nc_tir_model *)nc__calloc(NULL, sizeof **model);
    if (!*model) return NC_ERR_MEMORY;
    for (i = 0; i < NC_TIR__PARAMETERS; i++) {
        const uint32_t fan = nc_tir__fan_in(i);
        int64_t sum = -4 * INT64_C(65536);
        nc__philox(seed, i, 0, words);
        for (k = 0; k < 4; k++) sum += (words[k] & 0xffff) + (words[k] >> 16);
        /* eight uniform values: deviation 65,536 sqrt(8 / 12); scaled to about 1 / sqrt(fan) */
        for (k = 1; k * k < fan; k++) {
        }
        (*model)->w[i] = fan ? nc_gl_from_i64(sum / (int64_t)k) : 0;
        if (nc_tir__is_gain(i)) (*model)->w[i] = NC_FIXED_ONE;
    }
    nc_tir__derive(*model);
    return NC_OK;
}

NC_API nc_status nc_tir_model_copy(nc_tir_model **copy, const nc_tir_model *model) {
    if (copy) *copy = NULL;
    if (!copy || !model) return NC_ERR_ARG;
    *copy = (nc_tir_model *)nc__alloc(NULL, sizeof **copy);
    if (!*copy) return NC_ERR_MEMORY;
    **copy = *model;
    return NC_OK;
}

NC_API void nc_tir_model_destroy(nc_tir_model *model) { nc__free(NULL, model, sizeof *model); }

NC_API const nc_fixed *nc_tir_model_weights(const nc_tir_model *model, size_t *count) {
    if (count) *count = model ? NC_TIR__PARAMETERS : 0;
    return model ? model->w : NULL;
}

NC_API void nc_tir_model_digest(const nc_tir_model *model, nc_gl digest[4]) {
    nc_gl_trident_hash_fields(model->w, NC_TIR__PARAMETERS, digest);
}

/* Weights stay below 8 in magnitude and activations within 500: a sum over 128 of their products is
 * below 2^51, a sum over 32 products of activations below 2^55, so nothing wraps here or in the
 * 64-bit integers of a GPU, and layer norm is defined. */
#define NC_TIR__WEIGHT_LIMIT (8 * NC_FIXED_ONE - 1)
#define NC_TIR__VALUE_LIMIT (500 * NC_FIXED_ONE)

/* -- the weights file -- */

/* "NCTIRW2\n", counts of parameters (u32 each: network, embedding), the parameters as little-endian
 * signed integers of 4 bytes in 1/65,536, the Poseidon2 digest (trident parameters) of their field
 * elements. Version 1 had another embedding of states and 8 bytes a parameter. */
#define NC_TIR__FILE_MAGIC "NCTIRW2\n"
enum {
    NC_TIR__FILE_HEAD = 16,
    NC_TIR__FILE_DIGEST = NC_TIR__FILE_HEAD + 4 * NC_TIR__PARAMETERS,
    NC_TIR__FILE_BYTES = NC_TIR__FILE_DIGEST + 32
};

/* The parameters and their digest. */
static nc_status nc_tir__read_weights(nc_tir_model *model, const uint8_t *file, nc_error *err) {
    nc_gl digest[4];
    size_t i;
    for (i = 0; i < NC_TIR__PARAMETERS; i++) {
        const uint32_t word = (uint32_t)nc__get_le(file + NC_TIR__FILE_HEAD + 4 * i, 4);
        const nc_fixed w =
            nc_gl_from_i64((int64_t)word - (int64_t)(word >> 31) * (INT64_C(1) << 32));
        if (nc_fixed_abs(w) > NC_TIR__WEIGHT_LIMIT)
            return nc__fail(err, NC_ERR_FORMAT, 0, 0, "weight %lu is not below 8",
                            (unsigned long)i);
        model->w[i] = w;
    }
    nc_tir_model_digest(model, digest);
    for (i = 0; i < 4; i++)
        if (nc__get_le(file + NC_TIR__FILE_DIGEST + 8 * i, 8) != digest[i])
            return nc__fail(err, NC_ERR_MISMATCH, 0, 0, "the weights do not match their digest");
    nc_tir__derive(model);
    return NC_OK;
}

NC_API nc_status nc_tir_model_read(nc_tir_model **model, const void *data, size_t bytes,
                                   nc_error *err) {
    const uint8_t *file = (const uint8_t *)data;
    nc_status status;
    nc__clear(err);
    if (model) *model = NULL;
    if (!model || !data) return nc__fail(err, NC_ERR_ARG, 0, 0, "no model or no data");
    if (bytes < NC_TIR__FILE_HEAD || memcmp(file, NC_TIR__FILE_MAGIC, 6) != 0)
        return nc__fail(err, NC_ERR_FORMAT, 0, 0, "not a weights file");
    if (memcmp(file, NC_TIR__FILE_MAGIC, 8) != 0)
        return nc__fail(err, NC_ERR_UNSUPPORTED, 0, 0, "weights of another version");
    if (nc__get_le(file + 8, 4) != NC_TIR__P_NODES ||
        nc__get_le(file + 12, 4) != NC_TIR__PARAMETERS - NC_TIR__P_NODES)
        return nc__fail(err, NC_ERR_MISMATCH, 0, 0, "weights of another network");
    if (bytes != NC_TIR__FILE_BYTES)
        return nc__fail(err, NC_ERR_FORMAT, 0, 0, "the weights file has a wrong length");
    *model = (nc_tir_model *)nc__calloc(NULL, sizeof **model);
    if (!*model) return nc__fail(err, NC_ERR_MEMORY, 0, 0, "out of memory");
    status = nc_tir__read_weights(*model, file, err);
    if (status == NC_OK) return NC_OK;
    nc_tir_model_destroy(*model);
    *model = NULL;
    return status;
}

#ifndef NC_NO_STDIO
NC_API nc_status nc_tir_model_load(nc_tir_model **model, const char *path, nc_error *err) {
    uint8_t *data;
    size_t bytes;
    nc_status status;
    if (model) *model = NULL;
    if (!model || !path) return nc__fail(err, NC_ERR_ARG, 0, 0, "no model or no path");
    status = nc__file_read(path, NULL, &data, &bytes, err);
    if (status != NC_OK) return status;
    status = nc_tir_model_read(model, data, bytes, err);
    nc__free(NULL, data, bytes + 1);
    return status;
}

/* The weights file behind what the buffer has. */
static void nc_tir__put_weights(nc__buffer *file, const nc_tir_model *model) {
    nc_gl digest[4];
    size_t i;
    nc__buffer_put(file, NC_TIR__FILE_MAGIC, 8);
    nc__buffer_le(file, NC_TIR__P_NODES, 4);
    nc__buffer_le(file, NC_TIR__PARAMETERS - NC_TIR__P_NODES, 4);
    for (i = 0; i < NC_TIR__PARAMETERS; i++)
        nc__buffer_le(file, (uint32_t)nc_gl_to_i64(model->w[i]), 4);
    if (file->status != NC_OK) return; /* a digest takes a while */
    nc_tir_model_digest(model, digest);
    for (i = 0; i < 4; i++) nc__buffer_le(file, digest[i], 8);
}

/* Write what the buffer has, and free it. */
static nc_status nc_tir__save(nc__buffer *file, const char *path, nc_error *err) {
    nc_status status = file->status;
    if (status == NC_OK)
        status = nc_file_write(path, file->data, file->used, err);
    else
        nc__fail(err, status, 0, 0, "out of memory");
    nc__buffer_free(file);
    return status;
}

NC_API nc_status nc_tir_model_save(const nc_tir_model *model, const char *path, nc_error *err) {
    nc__buffer file;
    if (!model || !path) return nc__fail(err, NC_ERR_ARG, 0, 0, "no model or no path");
    memset(&file, 0, sizeof file);
    nc_tir__put_weights(&file, model);
    return nc_tir__save(&file, path, err);
}
#endif

NC__COLD_END

/* -- input -- */

/* Classes of immediates: small values by themselves, others by size. */
static uint32_t nc_tir__immediate(uint32_t op, uint64_t value) {
    if (nc_tir__table[op].arg == NC_TIR__ARG_NONE) return 15;
    if (value < 8) return (uint32_t)value;
    if (value < 16) return 8;
    if (value < 256) return 9;
    if (value < 65536) return 10;
    if (value >> 32 == 0) return 11;
    if (value == NC_GL_P - 1) return 12;
    return value > NC_GL_P - 65536 ? 13 : 14;
}

/* Embedding rows of node i. */
static void nc_tir__node_rows(const nc_gl *words, uint32_t i,
                              uint32_t rows[NC_TIR__NODE_FEATURES]) {
    const nc_gl *w = words + NC_TIR__NODE_WORDS * i;
    const nc_tir__head head = nc_tir__head_of(w[NC_TIR__W_HEAD]);
    rows[0] = head.op;
    rows[1] = NC_TIR__ROWS_CLASS + head.class_;
    rows[2] = NC_TIR__ROWS_IMMEDIATE + nc_tir__immediate(head.op - 1, w[NC_TIR__W_IMMEDIATE]);
    rows[3] = NC_TIR__ROWS_LIFE + (uint32_t)(w[NC_TIR__W_END] - w[NC_TIR__W_START]);
    rows[4] = NC_TIR__ROWS_MAKER + (i - head.maker[0]);
    rows[5] = NC_TIR__ROWS_MAKER + NC_TIR_BLOCK_NODES + (i - head.maker[1]);
}

/* Node i attends to j: itself, a maker of its operands, or one whose life overlaps. A bit for each
 * j. */
static uint32_t nc_tir__attended(const nc_gl *words, uint32_t n, uint32_t i) {
    const nc_gl *w = words + NC_TIR__NODE_WORDS * i;
    const nc_tir__head head = nc_tir__head_of(w[NC_TIR__W_HEAD]);
    uint32_t mask = 1u << i | 1u << head.maker[0] | 1u << head.maker[1], j;
    for (j = 0; j < n; j++, words += NC_TIR__NODE_WORDS)
        if (words[NC_TIR__W_START] <= w[NC_TIR__W_END] &&
            w[NC_TIR__W_START] <= words[NC_TIR__W_END])
            mask |= 1u << j;
    return mask;
}

static uint32_t nc_tir__node_count(const nc_gl *words) {
    uint32_t n = 0;
    while (n < NC_TIR_BLOCK_NODES && words[NC_TIR__NODE_WORDS * n]) n++;
    return n;
}

/* -- forward pass -- */

static void nc_tir__add_row(nc_fixed *to, const nc_fixed *row) {
    nc_gl_vec_add(to, to, row, NC_TIR__D);
}

static void nc_tir__bound_values(nc_fixed *x, uint32_t count) {
    const nc_fixed limit = NC_TIR__VALUE_LIMIT;
    uint32_t i;
    for (i = 0; i < count; i++)
        if (x[i] > limit && x[i] < nc_gl_neg(limit))
            x[i] = nc_fixed_clamp(x[i], nc_gl_neg(limit), limit);
}

static void nc_tir__rectify(nc_fixed *x, uint32_t count) {
    uint32_t i;
    for (i = 0; i < count; i++) x[i] = nc_fixed_relu(x[i]);
}

/* to = a (rows x n) times b (n x columns), and a bias. The statuses below are NC_OK for bounded
 * values, which all of these are. */
static NC__NOINLINE nc_status nc_tir__affine(nc_fixed *to, const nc_fixed *a, const nc_fixed *b,
                                             uint32_t rows, uint32_t n, uint32_t columns,
                                             const nc_fixed *bias) {
    const nc_status status = nc_fixed_matmul_within(to, a, NC_TIR__VALUE_LIMIT, b,
                                                    NC_TIR__WEIGHT_LIMIT, rows, n, columns);
    uint32_t i;
    for (i = 0; bias && i < rows; i++)
        nc_gl_vec_add(to + i * columns, to + i * columns, bias, columns);
    nc_tir__bound_values(to, rows * columns);
    return status;
}

/* Buffers of one forward pass. */
typedef struct nc_tir__activations {
    nc_fixed h[NC_TIR__LATENTS], q[NC_TIR__LATENTS], k[NC_TIR__LATENTS], v[NC_TIR__LATENTS];
    nc_fixed up[NC_TIR_BLOCK_NODES * NC_TIR__FFN];
    nc_fixed query[NC_TIR_BLOCK_NODES * NC_TIR__HEAD]; /* of one head, as are the next three */
    nc_fixed key[NC_TIR__HEAD * NC_TIR_BLOCK_NODES], value[NC_TIR_BLOCK_NODES * NC_TIR__HEAD];
    nc_fixed score[NC_TIR_BLOCK_NODES * NC_TIR_BLOCK_NODES];
    uint32_t mask[NC_TIR_BLOCK_NODES]; /* the nodes that each one attends to */
} nc_tir__activations;

#define NC_TIR__ATTENTION_SCALE 11585 /* 1 / sqrt(32) in 1/65,536 */

/* Attention of one head (from column `first` on) for n nodes, into those columns of h: scores of
 * all pairs, weights over the nodes attended to (mask), and the values they weigh. */
static nc_status nc_tir__attend(nc_tir__activations *a, uint32_t n, uint32_t first) {
    enum { WIDTH = NC_TIR__HEAD, NODES = NC_TIR_BLOCK_NODES };
    nc_fixed some[NODES];
    uint32_t i, j, count;
    nc_status status;
    memset(a->query, 0, sizeof a->query);
    memset(a->key, 0, sizeof a->key);
    memset(a->value, 0, sizeof a->value);
    for (i = 0; i < n; i++) {
        const uint32_t at = i * NC_TIR__D + first;
        memcpy(a->query + i * (uint32_t)WIDTH, a->q + at, WIDTH * sizeof *a->query);
        memcpy(a->value + i * (uint32_t)WIDTH, a->v + at, WIDTH * sizeof *a->value);
        for (j = 0; j < WIDTH; j++) a->key[j * NODES + i] = a->k[at + j]; /* transposed */
    }
    status = nc_fixed_matmul_within(a->score, a->query, NC_TIR__VALUE_LIMIT, a->key,
                                    NC_TIR__VALUE_LIMIT, n, WIDTH, NODES);
    for (i = 0; i < n && status == NC_OK; i++) {
        nc_fixed *row = a->score + i * (uint32_t)NODES;
        for (j = count = 0; j < n; j++)
            if (a->mask[i] >> j & 1) some[count++] = nc_fixed_mul(row[j], NC_TIR__ATTENTION_SCALE);
        status = nc_fixed_softmax(some, some, count);
        for (j = count = 0; j < n; j++) row[j] = a->mask[i] >> j & 1 ? some[count++] : 0;
        memmove(a->score + i * n, row, n * sizeof *row); /* n columns from here on */
    }
    if (status == NC_OK)
        status = nc_fixed_matmul_within(a->query, a->score, NC_FIXED_ONE, a->value,
                                        NC_TIR__VALUE_LIMIT, n, n, WIDTH);
    for (i = 0; i < n; i++)
        memcpy(a->h + i * NC_TIR__D + first, a->query + i * (uint32_t)WIDTH,
               WIDTH * sizeof *a->query);
    return status;
}

/* One encoder layer on n nodes: x += attention(norm(x)), x += feed-forward(x). */
static nc_status nc_tir__encode_layer(const nc_fixed *w, nc_fixed *x, uint32_t n,
                                      nc_tir__activations *a) {
    const uint32_t cells = n * NC_TIR__D;
    nc_status status = NC_OK;
    uint32_t i;
    for (i = 0; i < cells && status == NC_OK; i += NC_TIR__D)
        status = nc_fixed_layer_norm(a->h + i, x + i, NC_TIR__D, w + NC_TIR__L_GAMMA,
                                     w + NC_TIR__L_BETA, 1);
    if (status != NC_OK) return status;
    nc_tir__bound_values(a->h, cells);
    status = nc_tir__affine(a->q, a->h, w + NC_TIR__L_Q, n, NC_TIR__D, NC_TIR__D, NULL);
    if (status == NC_OK)
        status = nc_tir__affine(a->k, a->h, w + NC_TIR__L_K, n, NC_TIR__D, NC_TIR__D, NULL);
    if (status == NC_OK)
        status = nc_tir__affine(a->v, a->h, w + NC_TIR__L_V, n, NC_TIR__D, NC_TIR__D, NULL);
    for (i = 0; i < NC_TIR__D && status == NC_OK; i += NC_TIR__HEAD)
        status = nc_tir__attend(a, n, i);
    if (status == NC_OK)
        status = nc_tir__affine(a->q, a->h, w + NC_TIR__L_O, n, NC_TIR__D, NC_TIR__D, NULL);
    nc_gl_vec_add(x, x, a->q, cells);
    nc_tir__bound_values(x, cells);
    if (status == NC_OK)
        status = nc_tir__affine(a->up, x, w + NC_TIR__L_UP, n, NC_TIR__D, NC_TIR__FFN,
                                w + NC_TIR__L_BIAS);
    nc_tir__rectify(a->up, n * NC_TIR__FFN);
    if (status == NC_OK)
        status = nc_tir__affine(a->q, a->up, w + NC_TIR__L_DOWN, n, NC_TIR__FFN, NC_TIR__D, NULL);
    nc_gl_vec_add(x, x, a->q, cells);
    nc_tir__bound_values(x, cells);
    return status;
}

/* Latents of a block's nodes, n x 64. */
static nc_status nc_tir__forward(const nc_tir_model *model, const nc_gl *words, nc_fixed *x,
                                 nc_tir__activations *a) {
    const uint32_t n = nc_tir__node_count(words);
    nc_status status = NC_OK;
    uint32_t i, k, layer;
    memset(x, 0, n * NC_TIR__D * sizeof *x);
    for (i = 0; i < n; i++) {
        uint32_t rows[NC_TIR__NODE_FEATURES];
        nc_tir__node_rows(words, i, rows);
        a->mask[i] = nc_tir__attended(words, n, i);
        for (k = 0; k < NC_TIR__NODE_FEATURES; k++)
            nc_tir__add_row(x + i * NC_TIR__D,
                            model->w + NC_TIR__P_NODES + rows[k] * (uint32_t)NC_TIR__D);
    }
    for (layer = 0; layer < NC_TIR__LAYERS && n && status == NC_OK; layer++)
        status = nc_tir__encode_layer(model->w + layer * (uint32_t)NC_TIR__LAYER, x, n, a);
    return status;
}

NC_API nc_status nc_tir_model_forward(const nc_tir_model *model, const nc_gl *words, size_t blocks,
                                      nc_fixed *latents) {
    nc_tir__activations *a;
    nc_status status = NC_OK;
    size_t i;
    if (!model || !words || !latents) return NC_ERR_ARG;
    for (i = 0; i < blocks; i++)
        if (!nc_tir__check_words(words + i * NC_TIR_BLOCK_WORDS)) return NC_ERR_FORMAT;
    a = (nc_tir__activations *)nc__alloc(NULL, sizeof *a);
    if (!a) return NC_ERR_MEMORY;
    memset(latents, 0, blocks * NC_TIR__LATENTS * sizeof *latents);
    for (i = 0; i < blocks && status == NC_OK; i++)
        status = nc_tir__forward(model, words + i * NC_TIR_BLOCK_WORDS,
                                 latents + i * NC_TIR__LATENTS, a);
    nc__free(NULL, a, sizeof *a);
    return status;
}

/* -- decoder -- */

/* The decoder in small integers, so that it costs a search little at any level: the first layer is
 * taken with every row of a state's embedding once per model, and a state adds those up. The rows,
 * with 7 fractional bits, stay below 8 and are kept 1,023 higher, so that in a sum of 28 of them
 * and the bias no lane of 16 bits carries into the next: one addition is four in plain C. Of a
 * hidden value 5 bits go on, one of them fractional, and the second layer's weights have for each
 * output as many bits as let no sum leave 16 (5 or 6 fractional in the shipped weights): one
 * product is four in plain C. (So coarse, a search guided by the shipped weights ends as well as
 * with 12 bits of each.) */
enum {
    NC_TIR__SMALL_BITS = 8, /* fractional, of weights below 8 */
    NC_TIR__SMALL_LIMIT = 2047,
    NC_TIR__ROW_LIMIT = 1023,
    NC_TIR__ROW_BITS = 7,
    NC_TIR__HIDDEN_ZERO = (NC_TIR__STATE_FEATURES + 1) * NC_TIR__ROW_LIMIT, /* the 0 of a sum */
    NC_TIR__HIDDEN_BITS = 1,
    NC_TIR__HIDDEN_LIMIT = 31,
    NC_TIR__OUT_BITS = 8,                                         /* at most */
    NC_TIR__LOGIT = 1 << (NC_TIR__OUT_BITS + NC_TIR__HIDDEN_BITS) /* 1 in units of logits */
};
NC_TIR__STATIC(the_largest_weights_fit_without_a_fraction,
               NC_TIR__FFN * 8 * NC_TIR__HIDDEN_LIMIT <= INT16_MAX);
NC_TIR__STATIC(sums_of_rows_fit_16_bits, 2 * NC_TIR__HIDDEN_ZERO < 65536);

/* x / 2^shift, rounded, within -limit .. limit. */
static int32_t nc_tir__narrow(int64_t x, uint32_t shift, int32_t limit) {
    x = (x + (INT64_C(1) << shift >> 1)) >> shift;
    return (int32_t)(x > limit ? limit : x < -limit ? -limit : x);
}

static int16_t nc_tir__small(nc_fixed w) {
    return (int16_t)nc_tir__narrow(nc_gl_to_i64(w), 16 - NC_TIR__SMALL_BITS, NC_TIR__SMALL_LIMIT);
}

/* Sum of 64 products. */
static NC__NOINLINE int32_t nc_tir__small_dot(const int16_t *a, const int16_t *b) {
    int32_t sum = 0;
    uint32_t k;
    for (k = 0; k < NC_TIR__D; k++) sum += a[k] * b[k];
    return sum;
}

/* Four values within NC_TIR__ROW_LIMIT a word. */
static void nc_tir__pack_row(uint64_t *words, const int16_t *values) {
    uint16_t lanes[NC_TIR__FFN];
    uint32_t k;
    for (k = 0; k < NC_TIR__FFN; k++) lanes[k] = (uint16_t)(values[k] + NC_TIR__ROW_LIMIT);
    memcpy(words, lanes, sizeof lanes);
}

/* A word of four lanes, the lowest first: their sum, each at its place, so that a sum of words or a
 * product with an integer is that of all lanes, while they fit (a negative one borrows from the
 * next). */
static uint64_t nc_tir__pack_lanes(const int16_t *lanes) {
    uint64_t word = 0;
    uint32_t k;
    for (k = 0; k < 4; k++) word += (uint64_t)(int64_t)lanes[k] << (16 * k);
    return word;
}

static void nc_tir__unpack_lanes(uint64_t word, int16_t *lanes) {
    uint32_t k;
    for (k = 0; k < 4; k++) {
        lanes[k] = (int16_t)(uint16_t)word;
        word = (word - (uint64_t)(int64_t)lanes[k]) >> 16;
    }
}

/* The weights of an output in the smallest units in which no sum of it leaves 16 bits. */
static void nc_tir__derive_output(nc_tir_model *model, uint32_t output) {
    const nc_fixed *w = model->w + NC_TIR__P_OUT + output;
    uint32_t bits, k;
    for (bits = NC_TIR__OUT_BITS;; bits--) {
        int32_t sum[2] = {0, 0}; /* of those that are not negative, and of the others */
        for (k = 0; k < NC_TIR__FFN; k++) {
            const int32_t one =
                nc_tir__narrow(nc_gl_to_i64(w[k * (size_t)NC_TIR__OUT]), 16 - bits, 8 << bits);
            model->out[k * NC_TIR__OUT + output] = (int16_t)one;
            sum[one < 0] += one;
        }
        if (sum[0] * NC_TIR__HIDDEN_LIMIT <= INT16_MAX &&
            sum[1] * NC_TIR__HIDDEN_LIMIT >= INT16_MIN)
            break;
    }
    model->out_unit[output] = 1 << (NC_TIR__OUT_BITS - bits);
    model->out_bias[output] =
        nc_tir__narrow(nc_gl_to_i64(model->w[NC_TIR__P_OUT_BIAS + output]),
                       16 - NC_TIR__OUT_BITS - NC_TIR__HIDDEN_BITS, 8 * NC_TIR__LOGIT);
}

/* What is derived from the weights, after a change of them. */
static void nc_tir__derive(nc_tir_model *model) {
    const nc_fixed *first = model->w + NC_TIR__P_HIDDEN + NC_TIR__D * NC_TIR__FFN;
    int16_t columns[NC_TIR__FFN * NC_TIR__D], row[NC_TIR__D], sums[NC_TIR__FFN];
    uint32_t i, k;
    for (i = 0; i < NC_TIR__D; i++) /* of the first layer, its inputs from the state */
        for (k = 0; k < NC_TIR__FFN; k++)
            columns[k * NC_TIR__D + i] = nc_tir__small(first[i * NC_TIR__FFN + k]);
    for (i = 0; i < NC_TIR__STATE_ROWS; i++) {
        for (k = 0; k < NC_TIR__D; k++)
            row[k] = nc_tir__small(model->w[NC_TIR__P_STATES + i * (uint32_t)NC_TIR__D + k]);
        for (k = 0; k < NC_TIR__FFN; k++)
            sums[k] = (int16_t)nc_tir__narrow(nc_tir__small_dot(columns + k * NC_TIR__D, row),
                                              2 * NC_TIR__SMALL_BITS - NC_TIR__ROW_BITS,
                                              NC_TIR__ROW_LIMIT);
        nc_tir__pack_row(model->rows + i * NC_TIR__HIDDEN_WORDS, sums);
    }
    for (k = 0; k < NC_TIR__FFN; k++)
        sums[k] = (int16_t)nc_tir__narrow(nc_gl_to_i64(model->w[NC_TIR__P_HIDDEN_BIAS + k]),
                                          16 - NC_TIR__ROW_BITS, NC_TIR__ROW_LIMIT);
    nc_tir__pack_row(model->hidden_bias, sums);
    for (i = 0; i < NC_TIR__OUT; i++) nc_tir__derive_output(model, i);
    for (i = 0; i < NC_TIR__FFN * (uint32_t)NC_TIR__OUT_WORDS; i++)
        model->out_words[i] = nc_tir__pack_lanes(model->out + 4 * (size_t)i);
}

/* The sums of the first layer that were taken last, and the rows that they are of. */
typedef struct nc_tir__sums {
    uint64_t words[NC_TIR__HIDDEN_WORDS];
    uint16_t rows[NC_TIR__STATE_FEATURES];
} nc_tir__sums;

/* Sums to begin with: all rows are row 0. */
static void nc_tir__begin_sums(const nc_tir_model *model, nc_tir__sums *sums) {
    uint32_t k;
    memset(sums->rows, 0, sizeof sums->rows);
    for (k = 0; k < NC_TIR__HIDDEN_WORDS; k++)
        sums->words[k] = model->hidden_bias[k] + NC_TIR__STATE_FEATURES * model->rows[k];
}

/* Hidden values of a state, from its rows: those of the last sums give way where they differ, two
 * at a time. Loops of known length over words are what compilers make vectors of without being
 * asked. Each value is the sum less its 0, rounded, within 0 .. NC_TIR__HIDDEN_LIMIT; four lanes at
 * a time, whose uppermost bits say which are not negative, then which are too large. */
static NC__NOINLINE void nc_tir__hidden(const nc_tir_model *model, nc_tir__sums *sums,
                                        const uint16_t *rows, int16_t *hidden) {
    enum { SHIFT = NC_TIR__ROW_BITS - NC_TIR__HIDDEN_BITS, LIMIT = NC_TIR__HIDDEN_LIMIT << SHIFT };
    const uint64_t ones = UINT64_C(0x0001000100010001), top = ones << 15;
    uint16_t old[NC_TIR__STATE_FEATURES + 1], fresh[NC_TIR__STATE_FEATURES + 1];
    uint64_t sum[NC_TIR__HIDDEN_WORDS];
    uint32_t count = 0, i, k;
    for (i = 0; i < NC_TIR__STATE_FEATURES; i++) {
        old[count] = sums->rows[i];
        fresh[count] = rows[i];
        count += rows[i] != sums->rows[i];
    }
    old[count] = fresh[count] = 0; /* in case they are odd */
    memcpy(sums->rows, rows, sizeof sums->rows);
    memcpy(sum, sums->words, sizeof sum);
    for (i = 0; i < count; i += 2) {
        const uint64_t *a = model->rows + fresh[i] * (size_t)NC_TIR__HIDDEN_WORDS;
        const uint64_t *b = model->rows + fresh[i + 1] * (size_t)NC_TIR__HIDDEN_WORDS;
        const uint64_t *c = model->rows + old[i] * (size_t)NC_TIR__HIDDEN_WORDS;
        const uint64_t *d = model->rows + old[i + 1] * (size_t)NC_TIR__HIDDEN_WORDS;
        for (k = 0; k < NC_TIR__HIDDEN_WORDS; k++) sum[k] += a[k] + b[k] - c[k] - d[k];
    }
    memcpy(sums->words, sum, sizeof sum);
    for (k = 0; k < NC_TIR__HIDDEN_WORDS; k++) {
        const uint64_t x = sum[k] + ones * (32768 - NC_TIR__HIDDEN_ZERO), positive = x & top;
        const uint64_t y = x & (positive - (positive >> 15)); /* the lower 15 bits, or 0 */
        const uint64_t large = (y + ones * (32767 - LIMIT)) & top;
        const uint64_t mask = large - (large >> 15);
        const uint64_t value = (y & ~mask) | (mask & ones * LIMIT);
        sum[k] = (value + (ones << SHIFT >> 1)) >> SHIFT & ones * NC_TIR__HIDDEN_LIMIT;
    }
    memcpy(hidden, sum, sizeof sum);
}

/* The hidden values that are not 0: where they are. */
static uint32_t nc_tir__active(const int16_t *hidden, uint8_t index[NC_TIR__FFN + 1]) {
    uint32_t count = 0, k;
    for (k = 0; k < NC_TIR__FFN; k++) {
        index[count] = (uint8_t)k;
        count += hidden[k] != 0;
    }
    return count;
}

/* An output from its sum: all of them. */
static void nc_tir__to_logits(const nc_tir_model *model, const int16_t *sums, int32_t *out) {
    uint32_t i;
    for (i = 0; i < NC_TIR__OUT; i++) out[i] = model->out_bias[i] + sums[i] * model->out_unit[i];
}

/* All outputs without vectors, four a product: the inputs that are not 0, each times its row of
 * words. */
static NC_UNUSED void nc_tir__outputs_by_words(const nc_tir_model *model, const int16_t *hidden,
                                               int32_t *out) {
    uint8_t index[NC_TIR__FFN + 1];
    const uint32_t count = nc_tir__active(hidden, index);
    int16_t sums[NC_TIR__OUT];
    uint32_t i, j, k;
    for (i = 0; i < NC_TIR__OUT_WORDS; i += 8) {
        uint64_t s0 = 0, s1 = 0, s2 = 0, s3 = 0, s4 = 0, s5 = 0, s6 = 0, s7 = 0, sum[8];
        for (j = 0; j < count; j++) {
            const uint64_t *w = model->out_words + index[j] * (size_t)NC_TIR__OUT_WORDS + i;
            const uint64_t x = (uint64_t)hidden[index[j]];
            s0 += x * w[0];
            s1 += x * w[1];
            s2 += x * w[2];
            s3 += x * w[3];
            s4 += x * w[4];
            s5 += x * w[5];
            s6 += x * w[6];
            s7 += x * w[7];
        }
        sum[0] = s0;
        sum[1] = s1;
        sum[2] = s2;
        sum[3] = s3;
        sum[4] = s4;
        sum[5] = s5;
        sum[6] = s6;
        sum[7] = s7;
        for (k = 0; k < 8; k++) nc_tir__unpack_lanes(sum[k], sums + 4 * (i + k));
    }
    nc_tir__to_logits(model, sums, out);
}

#if !defined(NC_NO_SIMD) && defined(__SSE2__)
#include <emmintrin.h>
/* All outputs, eight a vector. Every x86-64 has these instructions. */
static void nc_tir__outputs(const nc_tir_model *model, const int16_t *hidden, int32_t *out) {
    uint8_t index[NC_TIR__FFN + 1];
    const uint32_t count = nc_tir__active(hidden, index);
    __m128i sum[NC_TIR__OUT / 8];
    int16_t sums[NC_TIR__OUT];
    uint32_t i, j;
    for (i = 0; i < NC_TIR__OUT / 8; i++) sum[i] = _mm_setzero_si128();
    for (j = 0; j < count; j++) {
        const int16_t *row = model->out + index[j] * (size_t)NC_TIR__OUT;
        const __m128i x = _mm_set1_epi16(hidden[index[j]]);
        const __m128i *w = (const __m128i *)(const void *)row;
#pragma GCC unroll 8
        for (i = 0; i < NC_TIR__OUT / 8; i++)
            sum[i] = _mm_add_epi16(sum[i], _mm_mullo_epi16(x, _mm_loadu_si128(w + i)));
    }
    for (i = 0; i < NC_TIR__OUT / 8; i++) _mm_storeu_si128((__m128i *)(void *)sums + i, sum[i]);
    nc_tir__to_logits(model, sums, out);
}
#elif !defined(NC_NO_SIMD) && defined(__ARM_NEON)
/* All outputs of the decoder, in a loop that compilers make vectors of. */
static void nc_tir__outputs(const nc_tir_model *model, const int16_t *hidden, int32_t *out) {
    int16_t sums[NC_TIR__OUT] = {0};
    uint8_t index[NC_TIR__FFN + 1];
    const uint32_t count = nc_tir__active(hidden, index);
    uint32_t i, j;
    for (j = 0; j < count; j++) {
        const int16_t *w = model->out + index[j] * (size_t)NC_TIR__OUT;
        for (i = 0; i < NC_TIR__OUT; i++) sums[i] = (int16_t)(sums[i] + hidden[index[j]] * w[i]);
    }
    nc_tir__to_logits(model, sums, out);
}
#else
/* All outputs of the decoder. */
static void nc_tir__outputs(const nc_tir_model *model, const int16_t *hidden, int32_t *out) {
    nc_tir__outputs_by_words(model, hidden, out);
}
#endif

/* >>optimizer ===================================================================== */

NC__WARM_BEGIN

/* -- the search problem -- */

/* The block's operations, their order, and where its values must end are the problem; a state is
 * a stack and the set of operations done. Reads and writes of several elements are taken apart
 * into units, which moves join again as the stack allows. Values that differ by a constant form
 * a family: one is made from another by addi. */
enum {
    NC_TIR__MAX_LOCAL = 250,
    NC_TIR__MAX_UNITS = 128,
    NC_TIR__WINDOW = 112, /* stack elements that a state has */
    NC_TIR__MAX_LEVELS = 250,
    NC_TIR__BUCKETS = 1 << 14, /* of scores */
    NC_TIR__FEW = 24           /* moves, sorted without them */
};

/* Scores are integers in 1/64 instruction, so that they are the same on every machine. */
enum {
    NC_TIR__SCORE = 64,
    NC_TIR__SCORE_DEAD = 16,      /* a value nobody needs */
    NC_TIR__SCORE_MISPLACED = 19, /* an element that is not where it must end */
    NC_TIR__SCORE_DISORDER = 40,  /* an element out of the order it must end in */
    NC_TIR__SCORE_ARGS = 20       /* an operand out of its order */
};

enum {
    NC_TIR__GUIDE = 32,        /* what the network is trained with: scores weigh 2 a unit */
    NC_TIR__MAX_GUIDE = 4096,  /* so that scores fit 32 bits */
    NC_TIR__MAX_BEAM = 1 << 16 /* so that the places of states do */
};

/* A value the search knows, by its number on the stacks of states. */
typedef struct nc_tir__local {
    uint64_t offset; /* from the base of its family; the value of a constant */
    uint32_t term, base;
    uint8_t family, is_constant;
    uint8_t is_pointer; /* of a family: a read or write of several elements takes one of them for
                           many */
} nc_tir__local;

/* An operation still to be done; of reads and writes, one element. */
typedef struct nc_tir__unit {
    nc_tir__tasm instruction;
    uint64_t after[2]; /* units that must be done before */
    int32_t weight;    /* in the estimate */
    uint8_t arg_count, result_count, first_owed;
    uint8_t args[NC_TIR__MAX_ARGS], results[NC_TIR__MAX_ARGS]; /* bottom first */
} nc_tir__unit;

typedef struct nc_tir__state {
    uint64_t done[2], hash, arg;
    uint32_t parent;
    int32_t toll;                  /* for rows of the stack table so far */
    uint8_t op, n;                 /* move that led here; height */
    int8_t dip;                    /* least height so far, relative to the start of the block */
    uint8_t stack[NC_TIR__WINDOW]; /* local numbers, bottom first */
} nc_tir__state;

/* A move from a state: an instruction and the units it does. */
typedef struct nc_tir__move {
    uint64_t arg, hash;
    uint32_t parent;
    int32_t score, toll, logit;
    uint8_t op, count, value; /* value: local number of what push, addi, read_mem... leave on top */
    uint8_t units[5];
} nc_tir__move;

/* A move to a state that was there already. */
typedef struct nc_tir__edge {
    uint64_t hash;
    uint32_t parent, reserved;
} nc_tir__edge;

/* Moves whose probability is below e^-6.25 of the most probable one's are not worth their score. */
enum { NC_TIR__CUT_BELOW = 25 * NC_TIR__LOGIT / 4 };

/* What the network says to the rows of a state. */
typedef struct nc_tir__answer {
    uint16_t rows[NC_TIR__STATE_FEATURES]; /* all 0: of none yet */
    int32_t least;                         /* moves with less are not offered */
    int32_t logits[NC_TIR__OUT];
} nc_tir__answer;

enum { NC_TIR__ANSWER_BITS = 10 }; /* as many are kept: every other state finds its own there */

/* The network's answers of late, a place for each hash of their rows. */
typedef struct nc_tir__answers {
    const nc_tir_model *model; /* whose they are */
    nc_tir__sums sums;
    nc_tir__answer list[1 << NC_TIR__ANSWER_BITS];
} nc_tir__answers;

/* Memory of the prover and the search, reused from block to block. */
typedef struct nc_tir__search {
    nc_tir__prover prover;
    nc_tir__local local[NC_TIR__MAX_LOCAL + 1];
    nc_tir__unit units[NC_TIR__MAX_UNITS];
    uint32_t local_count, unit_count;
    uint8_t goal[NC_TIR__WINDOW];
    uint32_t goal_count, base; /* base: the stack element of the meaning that is the lowest here */
    uint64_t present;          /* operations among the units, one bit each */
    int is_bounded;            /* nc_tir__moves_owed holds */
    uint64_t place_key[NC_TIR__WINDOW], unit_key[NC_TIR__MAX_UNITS]; /* of the states' hashes */
    nc_tir__move *moves;                                             /* stb_ds array */
    nc_tir__state *states;                                           /* all levels, stb_ds array */
    uint32_t *order;                                                 /* stb_ds array */
    uint32_t bucket[NC_TIR__BUCKETS + 1];
    nc_tir__tasm found[NC_TIR__MAX_LEVELS];
    uint32_t found_count;
    uint64_t expanded; /* states looked at, ever */
    int no_memory;     /* something was not to be had: what is found since is not to be used */
    int32_t toll;      /* what a row of the stack table adds to the score of a move; 0: the fewest
                          instructions, whatever they cost there */
    uint32_t level,
        limit; /* of the search under way: instructions so far, to be fewer than these */
    const nc_tir_model *model;
    int32_t guide;            /* weight of its log-probability */
    nc_tir__answers *answers; /* of the network, where there is one */
    /* for training: further ways to states that were there, where the levels start, the end */
    int keep_edges;
    nc_tir__edge *edges; /* stb_ds array */
    uint32_t level_start[NC_TIR__MAX_LEVELS + 1], goal_state;
} nc_tir__search;
NC_TIR__STATIC(present_has_a_bit_for_each_instruction, NC_TIR__I_COUNT <= 64);

NC__COLD_BEGIN

/* Local number of a term, or -1 when there are too many. */
static int nc_tir__localize(nc_tir__search *p, uint32_t term) {
    nc_tir__local *x = &p->local[p->local_count];
    uint32_t i;
    for (i = 0; i < p->local_count; i++)
        if (p->local[i].term == term) return (int)i;
    if (p->local_count == NC_TIR__MAX_LOCAL) return -1;
    x->term = term;
    x->base = nc_tir__base_of(&p->prover.terms, term, &x->offset);
    x->is_constant = x->base == nc_tir__constant(&p->prover.terms, 0);
    for (i = 0; p->local[i].base != x->base; i++) { /* ends at x itself */
    }
    x->family = (uint8_t)i;
    return (int)p->local_count++;
}

/* Local numbers of n terms; 0 when there are too many. */
static int nc_tir__localize_all(nc_tir__search *p, const uint32_t *terms, uint32_t n,
                                uint8_t *out) {
    uint32_t i;
    for (i = 0; i < n; i++) {
        const int local = nc_tir__localize(p, terms[i]);
        if (local < 0) return 0;
        out[i] = (uint8_t)local;
    }
    return 1;
}

NC__COLD_END

/* The local number of the family's member that lies so far from this one, or -1. */
static int nc_tir__relative(const nc_tir__search *p, uint32_t local, uint64_t distance) {
    const uint64_t offset = nc_gl_add(p->local[local].offset, distance);
    uint32_t i;
    for (i = 0; i < p->local_count; i++)
        if (p->local[i].base == p->local[local].base && p->local[i].offset == offset) return (int)i;
    return -1;
}

NC__COLD_BEGIN

/* Mark the first operation that computes a relative of the term, and what it needs in turn. */
static void nc_tir__need(nc_tir__search *p, uint32_t term) {
    nc_tir__meaning *s = &p->prover.before;
    nc_tir__terms *t = &p->prover.terms;
    uint64_t offset;
    uint32_t i, j, base = nc_tir__base_of(t, term, &offset);
    if (base == nc_tir__constant(t, 0)) return;
    if (base >= p->base && base < NC_TIR__INPUTS) return; /* inputs are the first terms, in order */
    for (i = 0; i < s->node_count; i++) {
        nc_tir__node *node = &s->nodes[i];
        for (j = 0; j < node->result_count; j++) {
            if (nc_tir__base_of(t, node->results[j], &offset) != base) continue;
            if (node->needed) return;
            node->needed = 1;
            for (j = 0; j < node->arg_count; j++) nc_tir__need(p, node->args[j]);
            return;
        }
    }
}

/* A difference compared with zero is compared in place: a - b = 0 as a = b. */
static void nc_tir__compare_directly(nc_tir__terms *t, nc_tir__node *node) {
    nc_tir__poly poly, one;
    uint64_t value;
    uint32_t side = 0, k;
    if (node->instruction.op != NC_TIR__I_EQ) return;
    if (!nc_tir__is_constant(t, node->args[0], &value) || value) side = 1;
    if (!nc_tir__is_constant(t, node->args[side], &value) || value) return;
    nc_tir__to_poly(t, node->args[1 - side], &poly);
    if (poly.count != 2 || poly.m[1].degree != 1 || poly.m[0].degree > 1) return;
    if (poly.m[1].coefficient != 1 && poly.m[1].coefficient != NC_GL_P - 1) return;
    if (poly.m[1].coefficient != 1)
        for (k = 0; k < 2; k++) poly.m[k].coefficient = nc_gl_neg(poly.m[k].coefficient);
    poly.m[0].coefficient = nc_gl_neg(poly.m[0].coefficient); /* poly.m[1] = poly.m[0] */
    if (poly.m[0].degree == 1 && poly.m[0].coefficient != 1) return;
    for (k = 0; k < 2; k++) {
        one.count = 1;
        one.m[0] = poly.m[k];
        node->args[k == 0 ? side : 1 - side] = nc_tir__from_poly(t, &one);
    }
}

/* A sum of copies of one value is a multiple of it. */
static void nc_tir__as_multiple(nc_tir__terms *t, nc_tir__node *node) {
    nc_tir__poly poly;
    uint64_t value;
    if (node->instruction.op != NC_TIR__I_ADD && node->instruction.op != NC_TIR__I_MUL) return;
    if (nc_tir__is_constant(t, node->args[0], &value) ||
        nc_tir__is_constant(t, node->args[1], &value))
        return;
    nc_tir__to_poly(t, node->results[0], &poly);
    if (poly.count != 1 || poly.m[0].degree != 1) return;
    node->instruction.op = NC_TIR__I_MUL;
    node->args[0] = poly.m[0].factor[0];
    poly.m[0].degree = 0;
    node->args[1] = nc_tir__from_poly(t, &poly);
}

/* How often a term is read by the block's operations and left on the stack, less how often it is
 * the result of one. */
static int nc_tir__balance(const nc_tir__search *p, uint32_t term) {
    const nc_tir__meaning *s = &p->prover.before;
    int balance = 0;
    uint32_t i, j;
    for (i = 0; i < s->node_count; i++) {
        for (j = 0; j < s->nodes[i].arg_count; j++) balance += s->nodes[i].args[j] == term;
        for (j = 0; j < s->nodes[i].result_count; j++) balance -= s->nodes[i].results[j] == term;
    }
    for (i = p->base; i < s->n; i++) balance += s->stack[i] == term;
    return balance;
}

/* Products of a value's neighbours: x + offset[i] for all i. */
typedef struct nc_tir__neighbours {
    nc_tir__node *products[NC_TIR__MAX_DEGREE - 1]; /* the last one first */
    uint64_t offset[NC_TIR__MAX_DEGREE];
    uint32_t base, count; /* count: of offsets, one more than of products */
} nc_tir__neighbours;

/* The product that makes this term, where that is its only use. */
static nc_tir__node *nc_tir__only_product(nc_tir__search *p, uint32_t term) {
    nc_tir__meaning *s = &p->prover.before;
    uint32_t i;
    for (i = 0; i < s->node_count; i++)
        if (s->nodes[i].instruction.op == NC_TIR__I_MUL && s->nodes[i].results[0] == term)
            return nc_tir__balance(p, term) > 0 ? NULL : &s->nodes[i];
    return NULL;
}

/* Whether a product is one of neighbours of one value: x->products and x->offset. */
static int nc_tir__find_neighbours(nc_tir__search *p, nc_tir__node *product,
                                   nc_tir__neighbours *x) {
    nc_tir__terms *t = &p->prover.terms;
    uint32_t products = 1, i, side;
    x->count = 0;
    x->products[0] = product;
    for (i = 0; i < products; i++)
        for (side = 0; side < 2; side++) {
            const uint32_t term = x->products[i]->args[side];
            nc_tir__node *made = nc_tir__only_product(p, term);
            uint32_t base;
            if (made && products == NC_TIR__MAX_DEGREE - 1) return 0;
            if (made) {
                x->products[products++] = made;
                continue;
            }
            base = nc_tir__base_of(t, term, &x->offset[x->count]);
            if (base == nc_tir__constant(t, 0) || (x->count++ > 0 && base != x->base)) return 0;
            x->base = base;
        }
    return 1;
}

/* Bring pairs with the sum of the first and that one to lie side by side; 0 when there are others.
 */
static int nc_tir__pair_up(nc_tir__neighbours *x, uint32_t partner) {
    const uint64_t sum = nc_gl_add(x->offset[0], x->offset[partner]);
    uint32_t i, k;
    for (i = 0; i < x->count; i += 2) {
        const uint64_t wanted = nc_gl_sub(sum, x->offset[i]);
        for (k = i + 1; k < x->count && x->offset[k] != wanted; k++) {
        }
        if (k == x->count) return 0;
        x->offset[k] = x->offset[i + 1];
        x->offset[i + 1] = wanted;
    }
    return 1;
}

/* A product of neighbours of x that make pairs with one sum, as that of a set of consecutive or
 * symmetric values: the product of each pair is that of the first plus a constant, so that with
 * t = (x + a)(x + b) it is t (t + c) .. */
static void nc_tir__as_pairs(nc_tir__search *p, nc_tir__node *product) {
    nc_tir__terms *t = &p->prover.terms;
    nc_tir__neighbours x;
    uint32_t args[NC_TIR__MAX_DEGREE / 2][2], made[NC_TIR__MAX_DEGREE / 2] = {0}, i;
    if (product->instruction.op != NC_TIR__I_MUL || !nc_tir__find_neighbours(p, product, &x) ||
        x.count < 4 || x.count % 2)
        return;
    for (i = 1; i < x.count && !nc_tir__pair_up(&x, i); i++) {
    }
    if (i == x.count) return;
    for (i = 0; i < x.count / 2; i++) {
        const uint64_t constant = nc_gl_mul(x.offset[2 * i], x.offset[2 * i + 1]);
        const uint64_t first = nc_gl_mul(x.offset[0], x.offset[1]);
        args[i][0] = i ? made[i - 1] : nc_tir__offset(t, x.base, x.offset[0]);
        args[i][1] = i ? nc_tir__offset(t, made[0], nc_gl_sub(constant, first))
                       : nc_tir__offset(t, x.base, x.offset[1]);
        made[i] = nc_tir__product(t, args[i][0], args[i][1]);
    }
    if (made[x.count / 2 - 1] != product->results[0]) return; /* too large a polynomial */
    for (i = 0; i < x.count / 2; i++) { /* nobody needs every other product now */
        nc_tir__node *node = x.products[x.count - 2 - 2 * i];
        memcpy(node->args, args[i], sizeof args[i]);
        node->results[0] = made[i];
    }
}

/* Whether these elements, coefficient 0 last, are read from consecutive addresses of this state of
 * RAM as often as they are used, and where they start. */
static int nc_tir__is_in_ram(nc_tir__search *p, uint32_t ram, const uint32_t *elements, uint32_t n,
                             uint32_t *address) {
    nc_tir__terms *t = &p->prover.terms;
    const nc_tir__term *last = &t->list[elements[n - 1]];
    uint32_t k;
    if (last->kind != NC_TIR__T_OP || t->words[last->first] != NC_TIR__I_READ_MEM) return 0;
    *address = (uint32_t)t->words[last->first + 3];
    for (k = 0; k < n; k++)
        if (nc_tir__ram_read(t, ram, nc_tir__offset(t, *address, n - 1 - k)) != elements[k] ||
            nc_tir__balance(p, elements[k]) > 0)
            return 0;
    return 1;
}

/* A product of two elements read from RAM, added to a third: a dot step. */
static void nc_tir__as_dot_step(nc_tir__search *p, nc_tir__node *sum) {
    nc_tir__meaning *s = &p->prover.before;
    nc_tir__terms *t = &p->prover.terms;
    uint32_t side, i, pointers[2];
    if (sum->instruction.op != NC_TIR__I_XX_ADD) return;
    for (side = 0; side < 2; side++)
        for (i = 0; i < s->node_count; i++) {
            const nc_tir__node *m = &s->nodes[i];
            const int wide = m->instruction.op == NC_TIR__I_XX_MUL;
            if (!wide && m->instruction.op != NC_TIR__I_XB_MUL) continue;
            if (memcmp(m->results, sum->args + 3 * side, 3 * sizeof *m->results)) continue;
            if (nc_tir__balance(p, m->results[2]) > 0 ||
                !nc_tir__is_in_ram(p, sum->ram, m->args, 3, &pointers[0]) ||
                !nc_tir__is_in_ram(p, sum->ram, m->args + 3, wide ? 3 : 1, &pointers[1]))
                continue;
            if (side == 0) memcpy(sum->args, sum->args + 3, 3 * sizeof *sum->args);
            sum->args[3] = pointers[0];
            sum->args[4] = pointers[1];
            sum->results[3] = nc_tir__offset(t, pointers[0], 3);
            sum->results[4] = nc_tir__offset(t, pointers[1], wide ? 3 : 1);
            sum->arg_count = sum->result_count = 5;
            sum->instruction.op = wide ? NC_TIR__I_XX_DOT : NC_TIR__I_XB_DOT;
            return;
        }
}

/* Whether unit v must come before u, which follows it in the code: reads wait for the last write of
 * their channel, writes for all before them. */
static int nc_tir__precedes(const nc_tir__unit *v, const nc_tir__unit *u) {
    const nc_tir__instruction *a = &nc_tir__table[v->instruction.op];
    const nc_tir__instruction *b = &nc_tir__table[u->instruction.op];
    const int wrote = (a->flags & NC_TIR__WRITES) != 0, writes = (b->flags & NC_TIR__WRITES) != 0;
    return (b->channel && a->channel == b->channel && (wrote || writes)) ||
           ((b->flags & NC_TIR__READS_RAM) && a->channel == NC_TIR__CHANNEL_RAM && wrote) ||
           ((a->flags & NC_TIR__READS_RAM) && b->channel == NC_TIR__CHANNEL_RAM && writes);
}

/* Rows of the real machine's stack table. */
static uint64_t nc_tir__stack_rows(const nc_tir__tasm *list, size_t n) {
    uint64_t rows = 0;
    size_t i;
    for (i = 0; i < n; i++) {
        const uint32_t pops = nc_tir__pops(&list[i]), pushes = nc_tir__pushes(&list[i]);
        rows += pops > pushes ? pops - pushes : pushes - pops;
    }
    return rows;
}

/* Append a unit of the problem; operands and results are terms. 0 when there is no room. */
static int nc_tir__add_unit(nc_tir__search *p, const nc_tir__node *node, const uint32_t *args,
                            uint32_t arg_count, const uint32_t *results, uint32_t result_count) {
    const nc_tir__instruction *table = &nc_tir__table[node->instruction.op];
    nc_tir__unit *u = &p->units[p->unit_count];
    uint32_t j;
    if (p->unit_count == NC_TIR__MAX_UNITS) return 0;
    memset(u, 0, sizeof *u);
    u->instruction = node->instruction;
    u->arg_count = (uint8_t)arg_count;
    u->result_count = (uint8_t)result_count;
    if (!nc_tir__localize_all(p, args, arg_count, u->args) ||
        !nc_tir__localize_all(p, results, result_count, u->results))
        return 0;
    u->weight = NC_TIR__SCORE;
    if (nc_tir__counts(table) && table->channel != NC_TIR__CHANNEL_RAM)
        u->weight = NC_TIR__SCORE / 5 + 1; /* five may be joined */
    if (p->toll) {
        const nc_tir__tasm one = nc_tir__make(u->instruction.op, 1);
        u->weight += p->toll *
                     (int32_t)nc_tir__stack_rows(nc_tir__counts(table) ? &one : &u->instruction, 1);
    }
    for (j = 0; j < p->unit_count; j++)
        if (nc_tir__precedes(&p->units[j], u)) u->after[j / 64] |= UINT64_C(1) << (j & 63);
    p->unit_count++;
    return 1;
}

/* Whether a RAM state has a store that nothing has replaced. */
static int nc_tir__has_store(const nc_tir__terms *t, uint32_t ram, uint32_t address,
                             uint32_t value) {
    const uint64_t *store;
    for (; (store = nc_tir__last_store(t, ram)) != NULL; ram = (uint32_t)store[0])
        if (store[1] == address && store[2] == value) return 1;
    return 0;
}

/* Whether a store is still there at the end of the block, or when something looks at RAM that may
 * see it. */
static int nc_tir__is_live(nc_tir__search *p, uint32_t address, uint32_t value) {
    const nc_tir__meaning *s = &p->prover.before;
    const nc_tir__terms *t = &p->prover.terms;
    uint32_t i, j;
    if (nc_tir__has_store(t, s->channel[NC_TIR__CHANNEL_RAM], address, value)) return 1;
    for (i = 0; i < s->node_count; i++) {
        const nc_tir__node *node = &s->nodes[i];
        const nc_tir__instruction *table = &nc_tir__table[node->instruction.op];
        if (table->channel != NC_TIR__CHANNEL_RAM && !(table->flags & NC_TIR__READS_RAM)) continue;
        if (node->instruction.op == NC_TIR__I_WRITE_MEM) continue;
        if (node->instruction.op != NC_TIR__I_READ_MEM &&
            nc_tir__has_store(t, node->ram, address, value))
            return 1;
        for (j = 0; node->instruction.op == NC_TIR__I_READ_MEM && j < node->result_count; j++) {
            const nc_tir__term *x = &t->list[node->results[j]];
            if (x->kind == NC_TIR__T_OP && t->words[x->first] == NC_TIR__I_READ_MEM &&
                nc_tir__has_store(t, (uint32_t)t->words[x->first + 2], address, value))
                return 1;
        }
    }
    return 0;
}

/* Whether any element that a write_mem stores is live. */
static int nc_tir__stores(nc_tir__search *p, const nc_tir__node *node) {
    const uint32_t n = (uint32_t)node->instruction.arg;
    uint32_t k;
    for (k = 0; k < n; k++)
        if (nc_tir__is_live(p, nc_tir__offset(&p->prover.terms, node->args[n], k),
                            node->args[n - 1 - k]))
            return 1;
    return 0;
}

/* Whether an element of a read_mem is to be read: not where it is known, or read before. */
static int nc_tir__is_read(const nc_tir__search *p, uint32_t term) {
    const nc_tir__terms *t = &p->prover.terms;
    const nc_tir__term *x = &t->list[term];
    uint32_t i;
    if (x->kind != NC_TIR__T_OP || t->words[x->first] != NC_TIR__I_READ_MEM) return 0;
    for (i = 0; i < p->unit_count; i++)
        if (p->units[i].instruction.op == NC_TIR__I_READ_MEM &&
            p->local[p->units[i].results[0]].term == term)
            return 0;
    return 1;
}

/* A unit for each element that an operation reads or writes. 0 when there is no room. */
static int nc_tir__element_units(nc_tir__search *p, const nc_tir__node *node) {
    const nc_tir__instruction *table = &nc_tir__table[node->instruction.op];
    const int reads = table->arg == NC_TIR__ARG_PUSHES;
    const int memory = table->channel == NC_TIR__CHANNEL_RAM;
    const uint32_t n = (uint32_t)node->instruction.arg;
    uint32_t args[2] = {0, 0}, count, k;
    for (k = 0; k < n; k++) {
        count = 0;
        if (!reads) args[count++] = node->args[n - 1 - k];
        if (memory) { /* the pointer, and what it becomes */
            const uint32_t pointer = nc_tir__offset(&p->prover.terms, node->args[reads ? 0 : n],
                                                    reads ? nc_gl_neg((nc_gl)k) : (uint64_t)k);
            const uint32_t next =
                nc_tir__offset(&p->prover.terms, pointer, reads ? NC_GL_P - 1 : 1);
            if (reads ? !nc_tir__is_read(p, node->results[k])
                      : !nc_tir__is_live(p, pointer, args[0]))
                continue;
            if (nc_tir__localize(p, next) < 0) return 0;
            args[count++] = pointer;
        }
        if (!nc_tir__add_unit(p, node, args, count, &node->results[k], (uint32_t)reads)) return 0;
    }
    return 1;
}

/* The units of a needed operation. 0 when there is no room. */
static int nc_tir__units_of(nc_tir__search *p, const nc_tir__node *node) {
    const uint32_t op = node->instruction.op;
    uint64_t value;
    if (op == NC_TIR__I_ADDI) return 1; /* made within its family */
    if (op == NC_TIR__I_ADD && (nc_tir__is_constant(&p->prover.terms, node->args[0], &value) ||
                                nc_tir__is_constant(&p->prover.terms, node->args[1], &value)))
        return 1;
    if (nc_tir__counts(&nc_tir__table[op])) return nc_tir__element_units(p, node);
    return nc_tir__add_unit(p, node, node->args, node->arg_count, node->results,
                            node->result_count);
}

/* Times a value is owed by the goal and by other units. */
static uint32_t nc_tir__demand(const nc_tir__search *p, uint8_t local, uint32_t except) {
    uint32_t n = 0, i, j;
    for (i = 0; i < p->goal_count; i++) n += p->goal[i] == local;
    for (i = 0; i < p->unit_count; i++)
        for (j = 0; i != except && j < p->units[i].arg_count; j++)
            n += p->units[i].args[j] == local;
    return n;
}

/* assert_vector leaves one half of its operands on the stack, here the one more wanted; where it
 * is wanted anyway it is not owed twice. */
static void nc_tir__choose_half(nc_tir__search *p, uint32_t unit) {
    nc_tir__unit *u = &p->units[unit];
    uint32_t demand[2] = {0, 0}, i;
    uint8_t half[5];
    for (i = 0; i < 10; i++) demand[i / 5] += nc_tir__demand(p, u->args[i], unit) > 0;
    if (demand[1] > demand[0] || (demand[1] == demand[0] && u->args[5] < u->args[0])) {
        memcpy(half, u->args, 5);
        memcpy(u->args, u->args + 5, 5);
        memcpy(u->args + 5, half, 5);
    }
    if (demand[0] == 5 || demand[1] == 5) u->first_owed = 5;
    u->result_count = 0;
}

/* Whether a node's results are operands of another or left on the stack. */
static int nc_tir__is_used(const nc_tir__search *p, const nc_tir__node *node) {
    const nc_tir__meaning *s = &p->prover.before;
    uint32_t i, j, k;
    for (k = 0; k < node->result_count; k++) {
        for (i = p->base; i < s->n; i++)
            if (s->stack[i] == node->results[k]) return 1;
        for (i = 0; i < s->node_count; i++)
            for (j = 0; j < s->nodes[i].arg_count; j++)
                if (s->nodes[i].args[j] == node->results[k]) return 1;
    }
    return 0;
}

/* Whether the sponge is initialised again before anything is squeezed out of what node i does to
 * it, and nothing else depends on the node. */
static int nc_tir__is_dead_sponge(const nc_tir__search *p, uint32_t i) {
    const nc_tir__meaning *s = &p->prover.before;
    if (nc_tir__table[s->nodes[i].instruction.op].channel != NC_TIR__CHANNEL_SPONGE ||
        s->nodes[i].new_check)
        return 0;
    for (;; i++) {
        const uint32_t op = s->nodes[i].instruction.op;
        if (op == NC_TIR__I_SPONGE_SQUEEZE && nc_tir__is_used(p, &s->nodes[i])) return 0;
        if (i + 1 == s->node_count) return 0;
        if (s->nodes[i + 1].instruction.op == NC_TIR__I_SPONGE_INIT) return 1;
    }
}

/* Mark what the block must compute: what writes, what may crash first, what the goal holds. */
static void nc_tir__mark_needed(nc_tir__search *p) {
    nc_tir__meaning *s = &p->prover.before;
    uint32_t i, j;
    for (i = 0; i < s->node_count; i++) {
        nc_tir__node *node = &s->nodes[i];
        if (!(nc_tir__table[node->instruction.op].flags & NC_TIR__WRITES) && !node->new_check)
            continue;
        if (node->instruction.op == NC_TIR__I_WRITE_MEM && !nc_tir__stores(p, node)) continue;
        if (nc_tir__is_dead_sponge(p, i)) continue;
        node->needed = 1;
        for (j = 0; j < node->arg_count; j++) nc_tir__need(p, node->args[j]);
    }
    for (i = p->base; i < s->n; i++) nc_tir__need(p, s->stack[i]);
}

/* Families of which a read or write of several elements uses members without their being there. */
static void nc_tir__mark_pointers(nc_tir__search *p) {
    uint32_t i;
    for (i = 0; i < p->local_count; i++) p->local[i].is_pointer = 0;
    for (i = 0; i < p->unit_count; i++) {
        const nc_tir__unit *u = &p->units[i];
        const nc_tir__instruction *table = &nc_tir__table[u->instruction.op];
        if (nc_tir__counts(table) && table->channel == NC_TIR__CHANNEL_RAM)
            p->local[p->local[u->args[u->arg_count - 1]].family].is_pointer = 1;
    }
}

/* The problem of the meaning in p->prover.before, and its first state. 0 when it is too large. */
static int nc_tir__set_problem(nc_tir__search *p, nc_tir__state *start) {
    nc_tir__meaning *s = &p->prover.before;
    const int base = NC_TIR__INPUTS + s->dip - 16;
    uint32_t inputs[NC_TIR__INPUTS], i;
    if (s->too_many_nodes || base < 0) return 0;
    p->base = (uint32_t)base;
    p->local_count = p->unit_count = 0;
    p->present = 0;
    p->goal_count = s->n - p->base;
    memset(start, 0, sizeof *start);
    start->n = (uint8_t)(NC_TIR__INPUTS - p->base);
    if (start->n > NC_TIR__WINDOW || p->goal_count > NC_TIR__WINDOW) return 0;
    for (i = 0; i < start->n; i++) inputs[i] = p->base + i; /* the first terms, in order */
    if (!nc_tir__localize_all(p, inputs, start->n, start->stack)) return 0;
    for (i = 0; i < s->node_count; i++) {
        nc_tir__compare_directly(&p->prover.terms, &s->nodes[i]);
        nc_tir__as_multiple(&p->prover.terms, &s->nodes[i]);
    }
    for (i = s->node_count; i-- > 0;) nc_tir__as_pairs(p, &s->nodes[i]);
    for (i = 0; i < s->node_count; i++) nc_tir__as_dot_step(p, &s->nodes[i]);
    nc_tir__mark_needed(p);
    if (!nc_tir__localize_all(p, s->stack + p->base, p->goal_count, p->goal)) return 0;
    for (i = 0; i < s->node_count; i++)
        if (s->nodes[i].needed && !nc_tir__units_of(p, &s->nodes[i])) return 0;
    if (p->prover.terms.overflow) return 0;
    for (i = 0; i < p->unit_count; i++) {
        p->present |= UINT64_C(1) << p->units[i].instruction.op;
        if (p->units[i].instruction.op == NC_TIR__I_ASSERT_VECTOR) nc_tir__choose_half(p, i);
    }
    nc_tir__mark_pointers(p);
    /* assert_vector leaves operands; an imitation learns from searches that go on */
    p->is_bounded = !(p->present >> NC_TIR__I_ASSERT_VECTOR & 1) && !p->keep_edges;
    for (i = 0; i < start->n; i++) start->hash += p->place_key[i] * (start->stack[i] + 1u);
    return 1;
}

NC__COLD_END

/* -- use counts: what a state has of every value and still owes -- */

typedef struct nc_tir__uses {
    int16_t spare[NC_TIR__MAX_LOCAL]; /* on the stack or coming, minus owed */
    int16_t surplus[NC_TIR__MAX_LOCAL], deficit[NC_TIR__MAX_LOCAL], live[NC_TIR__MAX_LOCAL];
    int32_t copies, dead, lost, open;
    int32_t units, elements, copied, dropped; /* for nc_tir__moves_owed */
} nc_tir__uses;

/* A family's part of the sums, added (sign 1) or taken out (-1). */
static void nc_tir__count_family(const nc_tir__search *p, nc_tir__uses *l, uint32_t f, int sign) {
    const int rest = l->surplus[f] - l->deficit[f];
    l->copies += sign * l->deficit[f];
    if (rest > 0) l->dead += sign * rest;
    if (!p->local[f].is_pointer) {
        l->copied += sign * l->deficit[f];
        if (rest > 0) l->dropped += sign * rest;
    }
    if (l->deficit[f] > 0 && l->live[f] == 0 && !p->local[f].is_constant) l->lost += sign;
}

/* A value's supply changes by `live`, its demand by `owed`. */
static void nc_tir__adjust(const nc_tir__search *p, nc_tir__uses *l, uint32_t local, int live,
                           int owed) {
    const uint32_t f = p->local[local].family;
    int16_t *spare = &l->spare[local];
    nc_tir__count_family(p, l, f, -1);
    if (*spare > 0)
        l->surplus[f] = (int16_t)(l->surplus[f] - *spare);
    else
        l->deficit[f] = (int16_t)(l->deficit[f] + *spare);
    *spare = (int16_t)(*spare + live - owed);
    l->live[f] = (int16_t)(l->live[f] + live);
    if (*spare > 0)
        l->surplus[f] = (int16_t)(l->surplus[f] + *spare);
    else
        l->deficit[f] = (int16_t)(l->deficit[f] - *spare);
    nc_tir__count_family(p, l, f, 1);
}

static void nc_tir__open_unit(nc_tir__uses *l, const nc_tir__unit *u, int sign) {
    l->open += sign * u->weight;
    if (nc_tir__counts(&nc_tir__table[u->instruction.op]))
        l->elements += sign;
    else
        l->units += sign;
}

/* A unit is owed (sign 1) or done (-1): its operands are needed, its results will come. */
static void nc_tir__owe(const nc_tir__search *p, nc_tir__uses *l, const nc_tir__unit *u, int sign) {
    uint32_t j;
    nc_tir__open_unit(l, u, sign);
    for (j = u->first_owed; j < u->arg_count; j++) nc_tir__adjust(p, l, u->args[j], 0, sign);
    for (j = 0; j < u->result_count; j++) nc_tir__adjust(p, l, u->results[j], sign, 0);
}

static int nc_tir__is_done(const nc_tir__state *s, uint32_t unit) {
    return (int)(s->done[unit / 64] >> (unit & 63) & 1);
}

/* What nc_tir__adjust for the goal and the stack and nc_tir__owe for what is not done sum up to. */
static void nc_tir__count_uses(const nc_tir__search *p, const nc_tir__state *s, nc_tir__uses *l) {
    const size_t bytes = p->local_count * sizeof *l->spare;
    uint32_t i, j;
    memset(l->spare, 0, bytes);
    memset(l->surplus, 0, bytes);
    memset(l->deficit, 0, bytes);
    memset(l->live, 0, bytes);
    l->copies = l->dead = l->lost = l->open = 0;
    l->units = l->elements = l->copied = l->dropped = 0;
    for (i = 0; i < p->goal_count; i++) l->spare[p->goal[i]]--;
    for (i = 0; i < s->n; i++) {
        l->spare[s->stack[i]]++;
        l->live[p->local[s->stack[i]].family]++;
    }
    for (i = 0; i < p->unit_count; i++) {
        const nc_tir__unit *u = &p->units[i];
        if (nc_tir__is_done(s, i)) continue;
        nc_tir__open_unit(l, u, 1);
        for (j = u->first_owed; j < u->arg_count; j++) l->spare[u->args[j]]--;
        for (j = 0; j < u->result_count; j++) {
            l->spare[u->results[j]]++;
            l->live[p->local[u->results[j]].family]++;
        }
    }
    for (i = 0; i < p->local_count; i++) {
        int16_t *sum = l->spare[i] > 0 ? l->surplus : l->deficit;
        sum += p->local[i].family;
        *sum = (int16_t)(*sum + (l->spare[i] > 0 ? l->spare[i] : -l->spare[i]));
    }
    for (i = 0; i < p->local_count; i++)
        if (p->local[i].family == i) nc_tir__count_family(p, l, i, 1);
}

/* A bound of the moves to the goal: one for each operation, one for each copy that is missing, and
 * reads, writes and pops of five elements at most. */
static int32_t nc_tir__moves_owed(const nc_tir__uses *l) {
    return l->units + l->copied + (l->elements + 4) / 5 + (l->dropped + 4) / 5;
}

/* -- order: how far a stack is from what it must become -- */

/* Values that must come to lie in order: the goal, or the operands of a coming operation. */
typedef struct nc_tir__pattern {
    uint32_t count, first; /* stack elements from place `first` on count */
    int32_t met;           /* how many of its values the stack has */
    int32_t disorder;      /* of the state being expanded */
    uint64_t match[NC_TIR__MAX_LOCAL];
    uint64_t row[NC_TIR__WINDOW + 1]; /* of the state being expanded, by height */
    int8_t wanted[NC_TIR__MAX_LOCAL], has[NC_TIR__MAX_LOCAL];
} nc_tir__pattern;

/* What a move takes from the stack and what it puts there, bottom first. */
typedef struct nc_tir__change {
    uint32_t pops, pushes;
    uint8_t top[NC_TIR__MAX_ARGS + 16];
} nc_tir__change;

/* Longest common subsequence of a stack and a pattern, one stack element a step (Hyyro 2004: Bit-
 * parallel LCS-length computation revisited): the zeros of `row` count its length; match has a bit
 * for every place where the pattern has the value. */
static uint64_t nc_tir__align(uint64_t row, uint64_t match) {
    const uint64_t hit = row & match;
    return (row + hit) | (row - hit);
}

/* Zeros among the lower `width` bits, 0 to 64, of a word: Warren, Hacker's Delight, figure 5-2. */
static uint32_t nc_tir__zeros(uint64_t row, uint32_t width) {
    uint64_t n = ~row & (width < 64 ? (UINT64_C(1) << width) - 1 : ~UINT64_C(0));
    n -= n >> 1 & UINT64_C(0x5555555555555555);
    n = (n & UINT64_C(0x3333333333333333)) + (n >> 2 & UINT64_C(0x3333333333333333));
    n = (n + (n >> 4)) & UINT64_C(0x0F0F0F0F0F0F0F0F);
    return (uint32_t)(n * UINT64_C(0x0101010101010101) >> 56);
}

static void nc_tir__set_pattern(nc_tir__pattern *a, const uint8_t *values, uint32_t count) {
    uint32_t i;
    memset(a, 0, sizeof *a);
    a->count = count;
    for (i = 0; i < count; i++) {
        a->match[values[i]] |= UINT64_C(1) << i;
        a->wanted[values[i]]++;
    }
}

/* Align the state being expanded, at every height. */
static void nc_tir__scan_stack(nc_tir__pattern *a, const nc_tir__state *s) {
    uint32_t i;
    memset(a->has, 0, sizeof a->has);
    a->met = 0;
    a->row[0] = ~UINT64_C(0);
    for (i = 0; i < s->n; i++) {
        const uint8_t v = s->stack[i];
        a->row[i + 1] = i < a->first ? a->row[i] : nc_tir__align(a->row[i], a->match[v]);
        if (i >= a->first && a->has[v]++ < a->wanted[v]) a->met++;
    }
    a->disorder = a->met - (int32_t)nc_tir__zeros(a->row[s->n], a->count);
}

/* How many of the pattern's values the stack has after a change. */
static int32_t nc_tir__met(nc_tir__pattern *a, const nc_tir__state *s, const nc_tir__change *c) {
    const uint32_t keep = s->n - c->pops, skip = a->first > keep ? a->first - keep : 0;
    int32_t met = a->met;
    uint32_t i;
    for (i = keep + skip; i < s->n; i++)
        if (--a->has[s->stack[i]] < a->wanted[s->stack[i]]) met--;
    for (i = skip; i < c->pushes; i++)
        if (a->has[c->top[i]]++ < a->wanted[c->top[i]]) met++;
    for (i = skip; i < c->pushes; i++) a->has[c->top[i]]--;
    for (i = keep + skip; i < s->n; i++) a->has[s->stack[i]]++;
    return met;
}

/* Values that are there but out of order after a change of the stack, which may only rearrange
 * it. */
static int32_t nc_tir__disorder(nc_tir__pattern *a, const nc_tir__state *s, const nc_tir__change *c,
                                int moves_only) {
    const uint32_t keep = s->n - c->pops;
    uint64_t row = a->row[keep];
    uint32_t i = a->first > keep ? a->first - keep : 0;
    const int32_t met = moves_only && i == 0 ? a->met : nc_tir__met(a, s, c);
    for (; i < c->pushes; i++) row = nc_tir__align(row, a->match[c->top[i]]);
    return met - (int32_t)nc_tir__zeros(row, a->count);
}

/* How many values, from place `at` on, are not where they must end. */
static int32_t nc_tir__misplaced(const nc_tir__search *p, uint32_t at, const uint8_t *values,
                                 uint32_t count) {
    int32_t n = 0;
    uint32_t i;
    for (i = 0; i < count && at + i < p->goal_count; i++) n += p->goal[at + i] != values[i];
    return n;
}

/* -- moves -- */

static void nc_tir__change_of(const nc_tir__search *p, const nc_tir__state *s,
                              const nc_tir__move *m, nc_tir__change *c) {
    const nc_tir__instruction *table = &nc_tir__table[m->op];
    const nc_tir__unit *u = &p->units[m->units[0]];
    const uint32_t n = (uint32_t)m->arg, last = s->n - 1u;
    const int memory = table->channel == NC_TIR__CHANNEL_RAM;
    uint32_t i;
    c->pops = c->pushes = 0;
    switch (m->op) {
    case NC_TIR__I_SWAP:
    case NC_TIR__I_PICK:
    case NC_TIR__I_PLACE:
        c->pops = c->pushes = n + 1;
        memcpy(c->top, s->stack + last - n, n + 1);
        nc_tir__rearrange(c->top + n, 1, m->op, n);
        return;
    case NC_TIR__I_DUP: c->top[c->pushes++] = s->stack[last - n]; return;
    case NC_TIR__I_PUSH: c->top[c->pushes++] = m->value; return;
    case NC_TIR__I_ADDI:
        c->pops = 1;
        c->top[c->pushes++] = m->value;
        return;
    case NC_TIR__I_ASSERT_VECTOR: c->pops = 5; return; /* either half may be the one that stays */
    default: break;
    }
    if (!nc_tir__counts(table)) {
        c->pops = u->arg_count;
        c->pushes = u->result_count;
        memcpy(c->top, u->results, u->result_count);
        return;
    }
    if (table->arg == NC_TIR__ARG_POPS) c->pops = n;
    for (i = 0; table->arg == NC_TIR__ARG_PUSHES && i < n; i++)
        c->top[c->pushes++] = p->units[m->units[i]].results[0];
    if (!memory) return;
    c->pops++;
    c->top[c->pushes++] = m->value; /* the pointer */
}

/* The search: moves from one level of states, of which the best become the next level. */
typedef struct nc_tir__beam {
    nc_tir__search *p;
    const nc_tir__state *s; /* being expanded */
    uint32_t parent, seen_mask;
    nc_tir__uses uses;
    int32_t misplaced[NC_TIR__WINDOW + 1]; /* below each height */
    nc_tir__pattern patterns[3]; /* the goal; operands of the next operations with three or more */
    int pattern_count;
    nc_tir__move *moves; /* stb_ds array */
    uint64_t *seen;      /* hashes of states kept so far: open addressing, 0 is empty */
    /* of this level: the scores of the `width` best moves to different new states, the largest
     * first as a heap, and the hashes that ever were among them */
    int32_t *best, worst; /* what costs `worst` or more comes behind all these and is not kept */
    uint64_t *entered;
    uint32_t best_count, entered_count, entered_mask, width;
    int32_t left;             /* moves that may follow the next */
    int32_t margin, hopeless; /* what costs so much will not end in time, says the network */
    /* the network's view of b->s, when there is one */
    int guided, sparing; /* sparing: the fewest instructions are sought with its guidance */
    const nc_tir__answer *answer;
} nc_tir__beam;

/* Supply and demand after a move (sign 1), or before it again (-1). */
static void nc_tir__account(nc_tir__beam *b, const nc_tir__move *m, const nc_tir__change *c,
                            int sign) {
    const nc_tir__search *p = b->p;
    uint32_t i;
    for (i = 0; i < m->count; i++) nc_tir__owe(p, &b->uses, &p->units[m->units[i]], -sign);
    for (i = 0; i < c->pops; i++)
        nc_tir__adjust(p, &b->uses, b->s->stack[b->s->n - 1 - i], -sign, 0);
    for (i = 0; i < c->pushes; i++) nc_tir__adjust(p, &b->uses, c->top[i], sign, 0);
}

/* The hash of a state is a sum over places and units done: what a move adds to it. */
static uint64_t nc_tir__hash_change(const nc_tir__search *p, const nc_tir__state *s,
                                    const nc_tir__move *m, const nc_tir__change *c) {
    const uint32_t keep = s->n - c->pops, both = c->pops < c->pushes ? c->pops : c->pushes;
    const uint64_t *key = p->place_key + keep;
    const uint8_t *old = s->stack + keep;
    uint64_t sum = 0;
    uint32_t i;
    for (i = 0; i < m->count; i++) sum += p->unit_key[m->units[i]];
    for (i = 0; i < both; i++) sum += key[i] * ((uint64_t)c->top[i] - old[i]);
    for (i = both; i < c->pops; i++) sum -= key[i] * (old[i] + 1u);
    for (i = both; i < c->pushes; i++) sum += key[i] * (c->top[i] + 1u);
    return sum;
}

/* A move's rows of the stack table, and those that are still to come. */
static void nc_tir__add_toll(const nc_tir__search *p, const nc_tir__state *s, const nc_tir__uses *l,
                             int height, nc_tir__move *m) {
    m->toll = s->toll + p->toll * (height > (int)s->n ? height - s->n : s->n - height);
    m->score += m->toll + p->toll * (l->copies + l->dead);
}

/* The network's output for a move: dup 0 .., swap 1 .., pick 2 .., place 2 .. (15 as 14),
 * then kinds of others; 58 is no move's. */
static uint32_t nc_tir__code_of(uint32_t op, uint64_t arg) {
    const uint32_t n = (uint32_t)(arg & 15);
    switch (op) {
    case NC_TIR__I_DUP: return n;
    case NC_TIR__I_SWAP: return 15 + n;
    case NC_TIR__I_PICK: return 29 + n;
    case NC_TIR__I_PLACE: return 43 + (n < 14 ? n : 14u);
    case NC_TIR__I_POP: return 59;
    case NC_TIR__I_PUSH: return 60;
    case NC_TIR__I_ADDI: return 61;
    default: return nc_tir__counts(&nc_tir__table[op]) ? 62 : 63;
    }
}

/* What the network's score of a move and of its state lacks. */
static int32_t nc_tir__advice(nc_tir__beam *b, const nc_tir__move *m) {
    const int64_t logit = (int64_t)m->logit + b->answer->logits[NC_TIR__CODE_VALUE];
    return 16 * NC_TIR__SCORE - (int32_t)(logit * b->p->guide / NC_TIR__LOGIT);
}

/* The score of a move as far as it needs no look at the order of the stack. */
static int32_t nc_tir__plain_score(nc_tir__beam *b, nc_tir__move *m, int height,
                                   int32_t misplaced) {
    const nc_tir__uses *l = &b->uses;
    m->score = l->open + NC_TIR__SCORE * l->copies + NC_TIR__SCORE_DEAD * l->dead +
               NC_TIR__SCORE_MISPLACED * misplaced;
    if (b->p->toll) nc_tir__add_toll(b->p, b->s, l, height, m);
    return m->score;
}

static int32_t nc_tir__pattern_score(int k) {
    return k ? NC_TIR__SCORE_ARGS : NC_TIR__SCORE_DISORDER;
}

/* The score of a move, given its plain one; what exceeds b->worst may be wrong. */
static void nc_tir__full_score(nc_tir__beam *b, const nc_tir__change *c, int moves_only,
                               nc_tir__move *m) {
    int k;
    for (k = 0; k < b->pattern_count && m->score < b->worst; k++)
        m->score +=
            nc_tir__pattern_score(k) * nc_tir__disorder(&b->patterns[k], b->s, c, moves_only);
}

/* Where a hash is in a table, or the empty place for it. */
static uint64_t *nc_tir__probe(uint64_t *table, uint32_t mask, uint64_t hash) {
    uint32_t at = (uint32_t)(hash >> 32) & mask;
    hash |= 1;
    while (table[at] && table[at] != hash) at = (at + 1) & mask;
    return &table[at];
}

/* What a state counts as the same by: with a toll its level too. */
static uint64_t nc_tir__key_of(const nc_tir__search *p, const nc_tir__move *m) {
    return p->toll ? nc_tir__mix(m->hash, p->level) : m->hash;
}

/* The largest score of the heap gives way to a smaller one. */
static void nc_tir__sink(int32_t *heap, uint32_t n, int32_t score) {
    uint32_t at = 0, child;
    while ((child = 2 * at + 1) < n) {
        if (child + 1 < n && heap[child + 1] > heap[child]) child++;
        if (heap[child] <= score) break;
        heap[at] = heap[child];
        at = child;
    }
    heap[at] = score;
}

/* A score joins the heap, which is not full. */
static void nc_tir__rise(int32_t *heap, uint32_t n, int32_t score) {
    while (n > 0 && heap[(n - 1) / 2] < score) {
        heap[n] = heap[(n - 1) / 2];
        n = (n - 1) / 2;
    }
    heap[n] = score;
}

/* What costs so much or more is not kept. */
static int32_t nc_tir__worst(const nc_tir__beam *b) {
    const int32_t worst = b->best && b->best_count == b->width ? b->best[0] : INT32_MAX;
    return worst <= b->hopeless ? worst : b->hopeless;
}

/* A move that may be kept. When the heap is full of moves to different new states, all of them
 * come before what costs as much as the worst of them and is found later, so that this is never
 * kept. A state that has left the heap does not enter again: then b->worst is only too large. */
static void nc_tir__rank(nc_tir__beam *b, const nc_tir__move *m) {
    const uint64_t key = nc_tir__key_of(b->p, m);
    uint64_t *place;
    if (!b->best || 2 * b->entered_count > b->entered_mask) return;
    if (*nc_tir__probe(b->seen, b->seen_mask, key)) return;
    place = nc_tir__probe(b->entered, b->entered_mask, key);
    if (*place) return;
    *place = key | 1;
    b->entered_count++;
    if (b->best_count < b->width)
        nc_tir__rise(b->best, b->best_count++, m->score);
    else
        nc_tir__sink(b->best, b->width, m->score);
    b->worst = nc_tir__worst(b);
}

static void nc_tir__consult(nc_tir__beam *b);

/* Whether the network, which was asked, thinks a move worth its score: m->logit. */
static int nc_tir__is_advised(const nc_tir__beam *b, nc_tir__move *m) {
    m->logit = b->answer->logits[nc_tir__code_of(m->op, m->arg)];
    return m->logit >= b->answer->least;
}

/* Whether a move, which is accounted for, may be on a way that ends in time. The network is asked
 * when the first may: of the state as it is without it. */
static int nc_tir__may_end(nc_tir__beam *b, nc_tir__move *m, const nc_tir__change *c) {
    if (b->uses.lost || nc_tir__moves_owed(&b->uses) > b->left) return 0;
    if (!b->guided || b->answer) return 1;
    nc_tir__account(b, m, c, -1);
    nc_tir__consult(b);
    nc_tir__account(b, m, c, 1);
    return nc_tir__is_advised(b, m);
}

/* Offer a move unless it loses a value for good, leaves the permitted depth or costs too much. */
static void nc_tir__offer(nc_tir__beam *b, uint32_t op, uint64_t arg, nc_tir__move *m) {
    const nc_tir__search *p = b->p;
    const nc_tir__state *s = b->s;
    const int moves_only = op == NC_TIR__I_SWAP || op == NC_TIR__I_PICK || op == NC_TIR__I_PLACE;
    nc_tir__change c;
    int height, dip;
    uint32_t keep;
    m->op = (uint8_t)op;
    m->arg = arg;
    m->parent = b->parent;
    m->logit = 0;
    m->toll = 0;
    if (b->answer && !nc_tir__is_advised(b, m)) return;
    nc_tir__change_of(p, s, m, &c);
    height = (int)(s->n - c.pops + c.pushes);
    dip = height + (int)p->base - NC_TIR__INPUTS;
    if (s->n < c.pops || height < 16 || height > NC_TIR__WINDOW || dip < p->prover.before.dip)
        return;
    keep = s->n - c.pops;
    if (!moves_only) nc_tir__account(b, m, &c, 1);
    if (nc_tir__may_end(b, m, &c)) {
        (void)nc_tir__plain_score(b, m, height,
                                  b->misplaced[keep] + nc_tir__misplaced(p, keep, c.top, c.pushes));
        if (b->guided) m->score += nc_tir__advice(b, m);
        nc_tir__full_score(b, &c, moves_only, m);
        if (m->score < b->worst) {
            m->hash = s->hash + nc_tir__hash_change(p, s, m, &c);
            stbds_arrput(b->moves, *m);
            nc_tir__rank(b, m);
        }
    }
    if (!moves_only) nc_tir__account(b, m, &c, -1);
}

/* The state becomes the one that the move leads to. */
static void nc_tir__apply(const nc_tir__search *p, nc_tir__state *s, const nc_tir__move *m) {
    nc_tir__change c;
    uint32_t i;
    int dip;
    nc_tir__change_of(p, s, m, &c);
    s->n = (uint8_t)(s->n - c.pops);
    for (i = 0; i < c.pushes; i++) s->stack[s->n++] = c.top[i];
    for (i = 0; i < m->count; i++) s->done[m->units[i] / 64] |= UINT64_C(1) << (m->units[i] & 63);
    dip = (int)s->n + (int)p->base - NC_TIR__INPUTS;
    if (dip < s->dip) s->dip = (int8_t)dip;
    s->hash = m->hash;
    s->parent = m->parent;
    s->toll = m->toll;
    s->op = m->op;
    s->arg = m->arg;
}

/* Whether a unit may be done now, the units in `m` being done in the same move. */
static int nc_tir__may_do(const nc_tir__beam *b, uint32_t unit, const nc_tir__move *m) {
    const uint64_t *after = b->p->units[unit].after, *done = b->s->done;
    uint64_t open[2];
    uint32_t k;
    if (nc_tir__is_done(b->s, unit)) return 0;
    open[0] = after[0] & ~done[0];
    open[1] = after[1] & ~done[1];
    for (k = 0; k < m->count; k++) {
        if (m->units[k] == unit) return 0;
        open[m->units[k] / 64] &= ~(UINT64_C(1) << (m->units[k] & 63));
    }
    return !open[0] && !open[1];
}

/* Are the five pairs that assert_vector compares those of the unit, in any order? */
static int nc_tir__same_pairs(const uint8_t *a, const uint8_t *b) {
    uint32_t used = 0, i, j;
    for (i = 0; i < 5; i++) {
        for (j = 0; j < 5; j++)
            if (!(used >> j & 1) &&
                ((a[i] == b[j] && a[i + 5] == b[j + 5]) || (a[i] == b[j + 5] && a[i + 5] == b[j])))
                break;
        if (j == 5) return 0;
        used |= 1u << j;
    }
    return 1;
}

/* Does the top of the stack hold the operands of a unit, in order or swapped? Those of u32
 * operations keep their order: the u32 table counts (a, b) and (b, a) as two entries. */
static int nc_tir__ready(const nc_tir__unit *u, const nc_tir__state *s) {
    const uint8_t *top = s->stack + s->n - u->arg_count;
    if (s->n < u->arg_count) return 0;
    if (u->instruction.op == NC_TIR__I_ASSERT_VECTOR) return nc_tir__same_pairs(top, u->args);
    if (!memcmp(top, u->args, u->arg_count)) return 1;
    return u->arg_count == 2 && (nc_tir__table[u->instruction.op].flags & NC_TIR__COMMUTES) &&
           !nc_tir__costs_u32(u->instruction.op) && top[0] == u->args[1] && top[1] == u->args[0];
}

/* The next unit that continues a joined read or write; -1 when there is none. */
static int nc_tir__next_unit(const nc_tir__beam *b, const nc_tir__move *m, uint32_t op) {
    const nc_tir__search *p = b->p;
    const nc_tir__state *s = b->s;
    const nc_tir__instruction *table = &nc_tir__table[op];
    const int memory = table->channel == NC_TIR__CHANNEL_RAM;
    const int writes = table->arg == NC_TIR__ARG_POPS;
    const uint32_t depth = m->count + 1u + (uint32_t)(memory && writes);
    int pointer = -1;
    uint32_t i;
    if (memory) {
        pointer =
            nc_tir__relative(p, s->stack[s->n - 1], writes ? m->count : nc_gl_neg((nc_gl)m->count));
        if (pointer < 0) return -1;
    }
    for (i = 0; i < p->unit_count; i++) {
        const nc_tir__unit *u = &p->units[i];
        if (u->instruction.op != op || (memory && u->args[u->arg_count - 1] != pointer)) continue;
        if (!nc_tir__may_do(b, i, m)) continue;
        if (writes && (depth > s->n || s->stack[s->n - depth] != u->args[0])) continue;
        return (int)i;
    }
    return -1;
}

/* Reads or writes of one kind, joined up to five. */
static void nc_tir__expand_joined(nc_tir__beam *b, uint32_t op) {
    const nc_tir__search *p = b->p;
    const int writes = nc_tir__table[op].arg == NC_TIR__ARG_POPS;
    nc_tir__move m;
    int next;
    memset(&m, 0, sizeof m);
    while (m.count < 5 && (next = nc_tir__next_unit(b, &m, op)) >= 0) {
        const nc_tir__unit *u = &p->units[next];
        m.units[m.count++] = (uint8_t)next;
        if (nc_tir__table[op].channel == NC_TIR__CHANNEL_RAM) {
            next = nc_tir__relative(p, u->args[u->arg_count - 1], writes ? 1 : NC_GL_P - 1);
            if (next < 0) break; /* cannot be: localized with the unit */
            m.value = (uint8_t)next;
        }
        nc_tir__offer(b, op, m.count, &m);
    }
}

/* Moves that do units: operations whose operands are on top, then reads and writes. */
static void nc_tir__expand_units(nc_tir__beam *b) {
    static const uint8_t joined[5] = {NC_TIR__I_DIVINE, NC_TIR__I_READ_IO, NC_TIR__I_WRITE_IO,
                                      NC_TIR__I_READ_MEM, NC_TIR__I_WRITE_MEM};
    const nc_tir__search *p = b->p;
    nc_tir__move m;
    uint32_t i, k;
    memset(&m, 0, sizeof m);
    for (i = 0; i < p->unit_count; i++) {
        const nc_tir__unit *u = &p->units[i];
        if (nc_tir__counts(&nc_tir__table[u->instruction.op])) continue;
        m.count = 0;
        if (!nc_tir__ready(u, b->s) || !nc_tir__may_do(b, i, &m)) continue;
        m.count = 1;
        m.units[0] = (uint8_t)i;
        nc_tir__offer(b, u->instruction.op, u->instruction.arg, &m);
    }
    for (k = 0; k < 5; k++)
        if (p->present >> joined[k] & 1) nc_tir__expand_joined(b, joined[k]);
}

/* Moves that copy, make or drop values: pop of what nobody needs, dup, addi, push. */
static void nc_tir__expand_values(nc_tir__beam *b) {
    const nc_tir__search *p = b->p;
    const nc_tir__state *s = b->s;
    const nc_tir__uses *l = &b->uses;
    int16_t left[NC_TIR__MAX_LOCAL];
    nc_tir__move m;
    uint32_t i, dead, kept = 0;
    const uint8_t top = s->stack[s->n - 1];
    memset(&m, 0, sizeof m);
    for (i = 0; i < 6 && i < s->n; i++)
        left[s->stack[s->n - 1 - i]] = l->spare[s->stack[s->n - 1 - i]];
    for (dead = 0; dead < 5 && dead < s->n && left[s->stack[s->n - 1 - dead]]-- > 0;) {
        /* the first from which something owed can be made may have to stay */
        if (dead && !kept && l->deficit[p->local[s->stack[s->n - 1 - dead]].family] > 0)
            nc_tir__offer(b, NC_TIR__I_POP, kept = dead, &m);
        dead++;
    }
    if (dead) nc_tir__offer(b, NC_TIR__I_POP, dead, &m);
    for (i = 0; i < 16 && i < s->n; i++) {
        const uint8_t v = s->stack[s->n - 1 - i], f = p->local[v].family;
        if (p->local[v].is_constant) continue;
        if (l->spare[v] < 0 || (l->deficit[f] > 0 && l->surplus[f] == 0))
            nc_tir__offer(b, NC_TIR__I_DUP, i, &m);
    }
    for (i = 0; i < p->local_count; i++) {
        if (l->spare[i] >= 0) continue;
        m.value = (uint8_t)i;
        if (p->local[i].is_constant) nc_tir__offer(b, NC_TIR__I_PUSH, p->local[i].offset, &m);
        if (p->local[i].family == p->local[top].family)
            nc_tir__offer(b, NC_TIR__I_ADDI, nc_gl_sub(p->local[i].offset, p->local[top].offset),
                          &m);
    }
}

/* Whether an element at this place is not where it must end. */
static int32_t nc_tir__is_misplaced(const nc_tir__search *p, uint32_t at, uint8_t value) {
    return at < p->goal_count && p->goal[at] != value;
}

/* Least score of a rearrangement but for what it misplaces and the network's advice: one element
 * that moves makes the longest common subsequence with a pattern longer by one at most. `moved`:
 * how many elements move. */
static int32_t nc_tir__least_score(nc_tir__beam *b, int32_t moved) {
    nc_tir__move m;
    int32_t least;
    int k;
    m.toll = 0;
    least = nc_tir__plain_score(b, &m, b->s->n, 0);
    for (k = 0; k < b->pattern_count; k++)
        if (b->patterns[k].first == 0 && b->patterns[k].disorder > moved)
            least += nc_tir__pattern_score(k) * (b->patterns[k].disorder - moved);
    return least;
}

/* Offer a rearrangement that leaves so many elements misplaced, where it may be kept. */
static void nc_tir__offer_order(nc_tir__beam *b, uint32_t op, uint32_t i, int32_t least,
                                int32_t misplaced, nc_tir__move *m) {
    least += NC_TIR__SCORE_MISPLACED * misplaced;
    if (b->answer) {
        m->op = (uint8_t)op;
        m->arg = i;
        if (!nc_tir__is_advised(b, m)) return;
        least += nc_tir__advice(b, m);
    }
    if (least < b->worst) nc_tir__offer(b, op, i, m);
}

/* Moves that only rearrange. */
static void nc_tir__expand_moves(nc_tir__beam *b) {
    const nc_tir__search *p = b->p;
    const uint8_t *stack = b->s->stack;
    const uint32_t last = b->s->n - 1u;
    const uint8_t top = stack[last];
    const int32_t top_wrong = nc_tir__is_misplaced(p, last, top), *below = b->misplaced;
    int32_t lowered = 0,
            raised = 0; /* misplaced when all above place `at` go down, or up, by one */
    int32_t least[2];   /* of moves, of swaps */
    nc_tir__move m;
    uint32_t i, k;
    if (nc_tir__moves_owed(&b->uses) > b->left) return;
    least[0] = nc_tir__least_score(b, 1);
    least[1] = nc_tir__least_score(b, 2);
    memset(&m, 0, sizeof m);
    for (i = 1; i < 16 && i <= last; i++) {
        const uint32_t at = last - i;
        const uint8_t v = stack[at];
        const int32_t exchanged = nc_tir__is_misplaced(p, at, top) +
                                  nc_tir__is_misplaced(p, last, v) - top_wrong -
                                  nc_tir__is_misplaced(p, at, v);
        lowered += nc_tir__is_misplaced(p, at, stack[at + 1]);
        raised += nc_tir__is_misplaced(p, at + 1, v);
        if (top != v)
            nc_tir__offer_order(b, NC_TIR__I_SWAP, i, least[i > 1], below[last + 1] + exchanged,
                                &m);
        for (k = 1; k <= i && top == stack[last - k]; k++) {
        }
        if (i == 1 || k > i) continue; /* pick 1 and place 1 are swap 1 */
        nc_tir__offer_order(b, NC_TIR__I_PICK, i, least[0],
                            below[at] + lowered + nc_tir__is_misplaced(p, last, v), &m);
        nc_tir__offer_order(b, NC_TIR__I_PLACE, i, least[0],
                            below[at] + raised + nc_tir__is_misplaced(p, at, top), &m);
    }
}

/* The goal stays the same for all states; the operands of the next large operations do not. */
static void nc_tir__scan_patterns(nc_tir__beam *b) {
    const nc_tir__search *p = b->p;
    uint32_t i;
    for (i = 0, b->misplaced[0] = 0; i < b->s->n; i++)
        b->misplaced[i + 1] = b->misplaced[i] + nc_tir__misplaced(p, i, b->s->stack + i, 1);
    b->pattern_count = 1;
    nc_tir__scan_stack(&b->patterns[0], b->s);
    for (i = 0; i < p->unit_count && b->pattern_count < 3; i++) {
        const nc_tir__unit *u = &p->units[i];
        if (u->arg_count < 3 || nc_tir__is_done(b->s, i)) continue;
        nc_tir__set_pattern(&b->patterns[b->pattern_count], u->args, u->arg_count);
        nc_tir__scan_stack(&b->patterns[b->pattern_count++], b->s);
    }
}

/* -- the network's part -- */

/* A depth as its class: 0 to 8, 9 for more, as `none` says where there is no such element. */
static uint32_t nc_tir__depth_class(uint32_t depth, uint32_t none) {
    return depth < 9 ? depth : depth < 16 ? 9 : none;
}

/* What the upper elements of b->s are for the operations still to be done. */
typedef struct nc_tir__view {
    uint8_t depth[NC_TIR__MAX_LOCAL]; /* of the upper copy of each value, 16 where there is none */
    uint8_t role[NC_TIR__MAX_LOCAL];  /* 1: an operand; 2, 3: of the second nearest, 4, 5: of the
                                         nearest operation, inner and upper */
    int next[2];                      /* the nearest operations, or -1 */
    uint32_t open;
} nc_tir__view;

/* How far the operands of a unit are from being on top; UINT32_MAX: it cannot be done yet. */
static uint32_t nc_tir__distance(const nc_tir__beam *b, const nc_tir__unit *u,
                                 const nc_tir__view *view) {
    const nc_tir__search *p = b->p;
    uint32_t sum = 0, j;
    if ((u->after[0] & ~b->s->done[0]) || (u->after[1] & ~b->s->done[1])) return UINT32_MAX;
    for (j = 0; j < u->arg_count; j++) {
        const nc_tir__local *x = &p->local[u->args[j]];
        if (view->depth[u->args[j]] < 16)
            sum += view->depth[u->args[j]];
        else if (x->is_constant)
            sum += 5;
        else if (b->uses.live[x->family] > 0)
            sum += 9;
        else
            return UINT32_MAX;
    }
    return sum;
}

static void nc_tir__look(const nc_tir__beam *b, nc_tir__view *view) {
    const nc_tir__search *p = b->p;
    const nc_tir__state *s = b->s;
    uint32_t least[2] = {UINT32_MAX, UINT32_MAX}, i, j;
    int k;
    memset(view->depth, 16, p->local_count);
    memset(view->role, 0, p->local_count);
    for (i = s->n < 16u ? s->n : 16u; i-- > 0;) view->depth[s->stack[s->n - 1 - i]] = (uint8_t)i;
    view->next[0] = view->next[1] = -1;
    view->open = 0;
    for (i = 0; i < p->unit_count; i++) {
        const nc_tir__unit *u = &p->units[i];
        uint32_t d;
        if (nc_tir__is_done(s, i)) continue;
        view->open++;
        for (j = 0; j < u->arg_count; j++) view->role[u->args[j]] = 1;
        d = nc_tir__distance(b, u, view);
        if (d < least[0]) {
            least[1] = least[0];
            view->next[1] = view->next[0];
            least[0] = d;
            view->next[0] = (int)i;
        } else if (d < least[1]) {
            least[1] = d;
            view->next[1] = (int)i;
        }
    }
    for (k = 1; k >= 0; k--) {
        const nc_tir__unit *u;
        if (view->next[k] < 0) continue;
        u = &p->units[view->next[k]];
        for (j = 0; j < u->arg_count; j++)
            view->role[u->args[j]] = (uint8_t)((k ? 2 : 4) + (j + 1 == u->arg_count));
    }
}

/* Class of an operand: its depth, or how it can be made. */
static uint32_t nc_tir__operand_class(const nc_tir__search *p, const nc_tir__view *view,
                                      uint8_t local) {
    return nc_tir__depth_class(view->depth[local], p->local[local].is_constant ? 10 : 11);
}

/* Rows of the embedding of b->s, whose uses are counted. */
static void nc_tir__state_rows(const nc_tir__beam *b, uint16_t rows[NC_TIR__STATE_FEATURES]) {
    const nc_tir__search *p = b->p;
    const nc_tir__state *s = b->s;
    const int rise = (int)s->n - (int)p->goal_count;
    nc_tir__view view;
    uint8_t aim[NC_TIR__MAX_LOCAL]; /* the lowest place where the goal has it and the stack not */
    uint32_t i, k, hole = p->goal_count;
    nc_tir__look(b, &view);
    memset(aim, 255, p->local_count);
    for (i = p->goal_count; i-- > 0;)
        if (i >= s->n || s->stack[i] != p->goal[i]) {
            aim[p->goal[i]] = (uint8_t)i;
            hole = i;
        }
    *rows++ = (uint16_t)(b->parent == 0 ? 0 : 1 + nc_tir__code_of(s->op, s->arg));
    *rows++ = (uint16_t)(NC_TIR__ROWS_HEIGHT + (rise < -8 ? 0 : rise > 7 ? 15 : rise + 8));
    *rows++ = (uint16_t)(NC_TIR__ROWS_OPEN + (view.open < 15 ? view.open : 15));
    for (i = 0; i < NC_TIR__TOPS; i++) {
        uint32_t kind = 15;
        if (i < s->n) {
            const uint32_t at = s->n - 1u - i;
            const uint8_t v = s->stack[at];
            const int spare = b->uses.spare[v];
            if (spare > 0)
                kind = 0;
            else if (!view.role[v] && at < p->goal_count && p->goal[at] == v)
                kind = spare < 0 ? 14 : 7;
            else
                kind = (spare < 0 ? 8u : 1u) + view.role[v];
        }
        *rows++ = (uint16_t)(NC_TIR__ROWS_TOP + i * NC_TIR__TOP_KINDS + kind);
    }
    for (k = 0; k < 2; k++) {
        const nc_tir__unit *u = view.next[k] < 0 ? NULL : &p->units[view.next[k]];
        uint32_t pair = NC_TIR__DEPTHS * NC_TIR__DEPTHS;
        if (u && u->arg_count)
            pair = nc_tir__operand_class(p, &view, u->args[u->arg_count - 1]) * NC_TIR__DEPTHS +
                   (u->arg_count > 1 ? nc_tir__operand_class(p, &view, u->args[u->arg_count - 2])
                                     : 12u);
        *rows++ = (uint16_t)(NC_TIR__ROWS_NEXT + k * NC_TIR__NEXT_ROWS + pair);
        *rows++ = (uint16_t)(NC_TIR__ROWS_NEXT_OP + k * 64 + (u ? u->instruction.op : 63u));
    }
    for (i = 0; i < NC_TIR__AIMS; i++) {
        uint32_t class_ = 19;
        if (i < s->n) {
            const uint8_t v = s->stack[s->n - 1u - i];
            const int depth = (int)s->n - 1 - aim[v];
            if (b->uses.spare[v] > 0)
                class_ = 18;
            else if (aim[v] != 255)
                class_ = depth < 0 ? 17u : depth > 16 ? 16u : (uint32_t)depth;
        }
        *rows++ = (uint16_t)(NC_TIR__ROWS_AIM + i * NC_TIR__AIM_KINDS + class_);
    }
    i = 12 * NC_TIR__DEPTHS + 12;
    if (hole < p->goal_count)
        i = (hole < s->n ? nc_tir__depth_class(s->n - 1u - hole, 10) : 11u) * NC_TIR__DEPTHS +
            nc_tir__operand_class(p, &view, p->goal[hole]);
    *rows = (uint16_t)(NC_TIR__ROWS_HOLE + i);
}

/* The network's answer to these rows: half of all states have those of one of late. */
static const nc_tir__answer *nc_tir__ask(nc_tir__search *p,
                                         const uint16_t rows[NC_TIR__STATE_FEATURES]) {
    nc_tir__answers *answers = p->answers;
    nc_tir__answer *a;
    int16_t hidden[NC_TIR__FFN];
    uint64_t words[NC_TIR__STATE_FEATURES / 4], hash = 0;
    int32_t top = INT32_MIN;
    uint32_t i;
    if (answers->model != p->model) {
        if (answers->model) memset(answers->list, 0, sizeof answers->list);
        answers->model = p->model;
        nc_tir__begin_sums(p->model, &answers->sums);
    }
    memcpy(words, rows, sizeof words);
    for (i = 0; i < NC_TIR__STATE_FEATURES / 4; i++)
        hash = ((hash ^ hash >> 29) + words[i]) * UINT64_C(0x9E3779B97F4A7C15);
    a = &answers->list[hash >> (64 - NC_TIR__ANSWER_BITS)];
    if (!memcmp(a->rows, rows, sizeof a->rows)) return a;
    memcpy(a->rows, rows, sizeof a->rows);
    nc_tir__hidden(p->model, &answers->sums, rows, hidden);
    nc_tir__outputs(p->model, hidden, a->logits);
    for (i = 0; i < NC_TIR__OUT; i++)
        if (i != NC_TIR__CODE_VALUE && a->logits[i] > top) top = a->logits[i];
    a->least = top - NC_TIR__CUT_BELOW;
    return a;
}

/* The network looks at b->s, whose uses are counted. */
static void nc_tir__consult(nc_tir__beam *b) {
    uint16_t rows[NC_TIR__STATE_FEATURES];
    nc_tir__state_rows(b, rows);
    b->answer = nc_tir__ask(b->p, rows);
}

/* With a network a score, less its constant, is about what is still to be done. Moves to which that
 * is more than the moves left by a margin, which grows with the width, are given up: three states
 * in ten, for one instruction in 700 at most (blocks made up from the training modules, beams 1 to
 * 4). What a score counts more than the bound of moves, where reads, writes and pops are joined,
 * does not count here. */
enum { NC_TIR__HOPELESS = 1200, NC_TIR__HOPELESS_WIDTH = 12 };

/* Moves from b->s that cost so much or more are given up. */
static int32_t nc_tir__hopeless(const nc_tir__beam *b) {
    const nc_tir__uses *l = &b->uses;
    const int32_t joined = l->open + NC_TIR__SCORE * l->copies + NC_TIR__SCORE_DEAD * l->dead -
                           NC_TIR__SCORE * nc_tir__moves_owed(l);
    return b->margin + NC_TIR__SCORE * b->left + (joined > 0 ? joined : 0);
}

/* All moves from b->s join b->moves. Where only moves that do what is owed can end in time, there
 * may be none, and the network is not asked yet. */
static void nc_tir__expand(nc_tir__beam *b) {
    nc_tir__count_uses(b->p, b->s, &b->uses);
    nc_tir__scan_patterns(b);
    b->p->expanded++;
    b->guided = b->p->model && b->p->guide;
    b->sparing = b->guided && !b->p->toll;
    b->answer = NULL;
    if (b->guided && nc_tir__moves_owed(&b->uses) <= b->left) nc_tir__consult(b);
    b->hopeless = b->sparing && b->p->is_bounded ? nc_tir__hopeless(b) : INT32_MAX;
    b->worst = nc_tir__worst(b);
    nc_tir__expand_units(b);
    nc_tir__expand_values(b);
    nc_tir__expand_moves(b);
}

/* -- beam search -- */

static int nc_tir__at_goal(const nc_tir__search *p, const nc_tir__state *s) {
    uint32_t i;
    for (i = 0; i < p->unit_count; i++)
        if (!nc_tir__is_done(s, i)) return 0;
    return s->n == p->goal_count && s->dip == p->prover.before.dip &&
           !memcmp(s->stack, p->goal, s->n);
}

/* Remember a state's hash; 0 when it was there. */
static int nc_tir__visit(nc_tir__beam *b, uint64_t hash) {
    uint64_t *place = nc_tir__probe(b->seen, b->seen_mask, hash);
    if (*place) return 0;
    *place = hash | 1;
    return 1;
}

/* The bucket of a score. */
static int32_t nc_tir__bucket_of(int32_t score) {
    return score < 0 ? 0 : score >= NC_TIR__BUCKETS ? NC_TIR__BUCKETS - 1 : score;
}

/* Indices of the moves in p->order, by score and then by discovery: a counting sort, or one by
 * insertion of a few. Those that come behind the `width` best states are left out. */
static void nc_tir__sort_moves(nc_tir__beam *b) {
    nc_tir__search *p = b->p;
    const uint32_t n = (uint32_t)stbds_arrlenu(b->moves);
    const int32_t worst = nc_tir__bucket_of(b->worst);
    int32_t least = worst, most = 0;
    uint32_t i, k, count = 0;
    NC__EMPTY(p->order);
    if (n) (void)stbds_arraddnptr(p->order, n);
    for (i = 0; i < n; i++) {
        const int32_t bucket = nc_tir__bucket_of(b->moves[i].score);
        b->moves[i].score = bucket;
        if (bucket > worst) continue;
        if (bucket < least) least = bucket;
        if (bucket > most) most = bucket;
        p->order[count++] = i;
    }
    if (count <= NC_TIR__FEW) {
        for (i = 1; i < count; i++) {
            const uint32_t move = p->order[i];
            for (k = i; k > 0 && b->moves[p->order[k - 1]].score > b->moves[move].score; k--)
                p->order[k] = p->order[k - 1];
            p->order[k] = move;
        }
    } else {
        memset(p->bucket + least, 0, (size_t)(most + 2 - least) * sizeof *p->bucket);
        for (i = 0; i < n; i++)
            if (b->moves[i].score <= worst) p->bucket[b->moves[i].score + 1]++;
        for (k = (uint32_t)least; k < (uint32_t)most; k++) p->bucket[k + 1] += p->bucket[k];
        for (i = 0; i < n; i++)
            if (b->moves[i].score <= worst) p->order[p->bucket[b->moves[i].score]++] = i;
    }
    stbds_arrsetlen(p->order, count);
}

/* With a network the width is an average: a level keeps fewer states where the others' scores are
 * beyond a margin, which grows with the width, and more, at most double and 4, where they are not.
 * Four levels' states are there to begin with, and each level to come is sure of one. */
enum {
    NC_TIR__STEPS_MORE = 4,
    NC_TIR__STATES_MORE = 4,
    NC_TIR__MARGIN = 80,
    NC_TIR__MARGIN_WIDTH = 16
};

/* The most states of a level. */
static uint32_t nc_tir__most(uint32_t width) {
    return width + (width < NC_TIR__STATES_MORE ? width : (uint32_t)NC_TIR__STATES_MORE);
}

/* How many moves may become states of the next level. */
static uint32_t nc_tir__room(const nc_tir__search *p, uint32_t width) {
    const uint32_t most = nc_tir__most(width);
    const uint32_t all = width * (p->limit + NC_TIR__STEPS_MORE);
    const uint32_t used = (uint32_t)stbds_arrlenu(p->states) + p->limit - 1 - p->level;
    return all <= used ? 1 : all - used < most ? all - used : most;
}

/* The best moves become states: `width` of them, or as many as the network is unsure of. */
static void nc_tir__keep_best(nc_tir__beam *b, uint32_t width) {
    nc_tir__search *p = b->p;
    const int32_t margin = NC_TIR__MARGIN + NC_TIR__MARGIN_WIDTH * (int32_t)width;
    const uint32_t room = b->sparing ? nc_tir__room(p, width) : width;
    int32_t best = 0;
    uint32_t i, kept = 0;
    nc_tir__sort_moves(b);
    for (i = 0; i < stbds_arrlenu(p->order) && kept < room; i++) {
        const nc_tir__move *m = &b->moves[p->order[i]];
        nc_tir__state child;
        if (!kept) best = m->score;
        if (b->sparing && m->score > best + margin) break;
        if (!nc_tir__visit(b, nc_tir__key_of(p, m))) {
            if (p->keep_edges) {
                nc_tir__edge edge;
                memset(&edge, 0, sizeof edge);
                edge.hash = m->hash;
                edge.parent = m->parent;
                stbds_arrput(p->edges, edge);
            }
            continue;
        }
        child = p->states[m->parent];
        nc_tir__apply(p, &child, m);
        stbds_arrput(p->states, child);
        kept++;
    }
}

/* The problem, its start and a search over it; 0 when it is too large. */
static int nc_tir__begin(nc_tir__search *p, nc_tir__beam *b, nc_tir__state *start) {
    uint32_t deep;
    memset(b, 0, sizeof *b);
    b->p = p;
    b->worst = b->left = b->hopeless = INT32_MAX;
    b->moves = p->moves;
    NC__EMPTY(b->moves);
    if (!nc_tir__set_problem(p, start)) return 0;
    deep = p->goal_count > 64 ? p->goal_count - 64 : 0; /* a pattern has 64 bits */
    nc_tir__set_pattern(&b->patterns[0], p->goal + deep, p->goal_count - deep);
    b->patterns[0].first = deep;
    return 1;
}

/* The moves that led to state i on this level become p->found. */
static void nc_tir__trace_back(nc_tir__search *p, uint32_t i, uint32_t level) {
    p->found_count = level;
    while (level-- > 0) {
        p->found[level].op = p->states[i].op;
        p->found[level].arg = p->states[i].arg;
        i = p->states[i].parent;
    }
}

/* All states of the level from `first` to `last` are expanded; the best become the next. */
static void nc_tir__next_level(nc_tir__beam *b, uint32_t first, uint32_t last, uint32_t width) {
    nc_tir__search *p = b->p;
    uint32_t i;
    NC__EMPTY(b->moves);
    b->best_count = b->entered_count = 0;
    if (b->entered) memset(b->entered, 0, (b->entered_mask + 1) * sizeof *b->entered);
    for (i = first; i < last; i++) {
        b->s = &p->states[i];
        b->parent = i;
        nc_tir__expand(b);
    }
    b->hopeless = INT32_MAX; /* which is a matter of each state; of the level is the rest */
    b->worst = nc_tir__worst(b);
    nc_tir__keep_best(b, width);
}

/* The first state from `first` on that is at the goal; with a toll the cheapest of them, if it is
 * cheaper than *least. Where it is, or `last`. */
static uint32_t nc_tir__find_goal(const nc_tir__search *p, uint32_t first, uint32_t last,
                                  int32_t toll_before, int32_t *least) {
    uint32_t i, best = last;
    for (i = first; i < last; i++) {
        const int32_t cost = toll_before + p->states[i].toll;
        if ((p->toll && cost >= *least) || !nc_tir__at_goal(p, &p->states[i])) continue;
        *least = cost;
        best = i;
        if (!p->toll) break;
    }
    return best;
}

/* Whether a sequence shorter than `limit` with the meaning in p->prover.before is found: p->found,
 * which may be empty. With a toll the cheapest one. 0 and p->no_memory when out of memory. */
static int nc_tir__find(nc_tir__search *p, uint32_t limit, uint32_t width) {
    nc_tir__state start;
    nc_tir__beam b;
    uint32_t level, first = 0, last, i, room = 1024;
    int32_t least = INT32_MAX;
    size_t ranks;
    int found = 0;
    if (p->no_memory || limit > NC_TIR__MAX_LEVELS || !nc_tir__begin(p, &b, &start)) return 0;
    p->limit = limit;
    while (room < 2 * width * (limit + NC_TIR__STEPS_MORE)) room *= 2;
    b.seen_mask = room - 1;
    b.width = p->model && p->guide && !p->toll ? nc_tir__most(width) : width;
    b.margin = NC_TIR__HOPELESS + NC_TIR__HOPELESS_WIDTH * (int32_t)width;
    b.entered_mask = 8 * (uint32_t)nc_tir_padded(b.width) - 1;
    ranks = (b.entered_mask + 1) * sizeof *b.entered + b.width * sizeof *b.best;
    b.seen = (uint64_t *)nc__calloc(NULL, room * sizeof *b.seen);
    b.entered = (uint64_t *)nc__calloc(NULL, ranks);
    if (!b.seen || !b.entered) {
        nc__free(NULL, b.entered, ranks);
        nc__free(NULL, b.seen, room * sizeof *b.seen);
        p->no_memory = 1;
        return 0;
    }
    b.best = (int32_t *)(void *)(b.entered + b.entered_mask + 1);
    NC__EMPTY(p->states);
    NC__EMPTY(p->edges);
    stbds_arrput(p->states, start);
    for (level = 0; level < limit; level++) {
        last = (uint32_t)stbds_arrlenu(p->states);
        p->level_start[level] = first;
        i = nc_tir__find_goal(p, first, last, NC_TIR__SCORE * (int32_t)level, &least);
        if (i < last) nc_tir__trace_back(p, i, level);
        if (i < last || !found) p->goal_state = i;
        found |= i < last;
        if ((found && !p->toll) || first == last || level + 1 == limit) break;
        p->level = level;
        if (p->is_bounded) b.left = (int32_t)(limit - level) - 2;
        nc_tir__next_level(&b, first, last, width);
        first = last;
    }
    p->moves = b.moves;
    nc__free(NULL, b.entered, ranks);
    nc__free(NULL, b.seen, room * sizeof *b.seen);
    return found;
}

/* nc_tir__find for the meaning of straight-line code, as the network sees it. */
static int nc_tir__find_shorter(nc_tir__search *p, const nc_tir__tasm *code, size_t n,
                                uint32_t limit, uint32_t width) {
    if (nc_tir__interpret(&p->prover, code, n) != NC_TIR_PROVEN) return 0;
    return nc_tir__find(p, limit, width);
}

NC__COLD_BEGIN

static void nc_tir__search_free(nc_tir__search *p) {
    if (!p) return;
    stbds_arrfree(p->states);
    stbds_arrfree(p->moves);
    stbds_arrfree(p->order);
    stbds_arrfree(p->edges);
    nc__free(NULL, p->answers, sizeof *p->answers);
    nc__free(NULL, p, sizeof *p);
}

/* The next number of splitmix64 (Steele, Lea, Flood 2014), made odd. */
static uint64_t nc_tir__next_key(uint64_t *state) {
    return nc__mix(*state += UINT64_C(0x9E3779B97F4A7C15)) | 1;
}

/* Memory for searches, with a network or without. Null when out of memory. */
static nc_tir__search *nc_tir__search_new(const nc_tir_model *model, uint32_t guide) {
    nc_tir__search *p = (nc_tir__search *)nc__calloc(NULL, sizeof *p);
    uint64_t seed = 0;
    uint32_t i;
    if (!p) return NULL;
    for (i = 0; i < NC_TIR__WINDOW; i++) p->place_key[i] = nc_tir__next_key(&seed);
    for (i = 0; i < NC_TIR__MAX_UNITS; i++) p->unit_key[i] = nc_tir__next_key(&seed);
    p->model = model;
    p->guide = (int32_t)guide;
    if (model) p->answers = (nc_tir__answers *)nc__calloc(NULL, sizeof *p->answers);
    if (!model || p->answers) return p;
    nc__free(NULL, p, sizeof *p);
    return NULL;
}

/* -- what the optimiser works on -- */

/* The optimiser works on TASM: code between labels is a region, straight-line code between jumps
 * a segment. Segments are shortened by searches; branches are then folded, emptied or shared
 * where the prover shows that nothing changes, bodies move to where they are called, and loops ask
 * after their rounds whether to go on. Names, entry points and stack layouts of functions
 * stay; labels that the lowering invented (__then__, __else__, __loop__) may vanish. */
typedef struct nc_tir__region {
    uint32_t *labels;   /* stb_ds array: all names of its first instruction */
    nc_tir__tasm *code; /* stb_ds array */
    uint32_t given;     /* instructions in the text, before any change */
    uint8_t gone;
} nc_tir__region;

typedef struct nc_tir__optimizer {
    nc_tir__search *search;
    nc_tir__map memory;    /* searches done */
    nc_tir__tasm *answers; /* stb_ds array */
    nc_tir__code code;     /* owner of the label names */
    nc_tir__region *regions;
    uint32_t *home; /* region of each label */
    uint32_t beam, block;
    nc_tir__tasm loose;              /* its marks belong behind the code that is worked on */
    const nc_tir_options *options;   /* never null */
    uint64_t limit[NC_TIR__HEIGHTS]; /* rows of the classical code */
    uint64_t done, total;            /* instructions */
    int cancelled, restructuring;
    nc_tir_report report;
} nc_tir__optimizer;

/* Nothing is tried any more: the caller wishes so, or there was no memory for something. What was
 * done is then not handed over. */
static int nc_tir__is_stopped(const nc_tir__optimizer *o) {
    return o->cancelled || o->search->no_memory;
}

/* Whether no table but that of the jumps has more rows. */
static int nc_tir__within(const uint64_t rows[NC_TIR__HEIGHTS],
                          const uint64_t limit[NC_TIR__HEIGHTS]) {
    int i;
    for (i = 0; i < NC_TIR__H_JUMP_STACK; i++)
        if (rows[i] > limit[i]) return 0;
    return 1;
}

/* Rows of the static model and the stack rows of the real one: none may grow. */
static int nc_tir__cheaper(const nc_tir__tasm *before, size_t n, const nc_tir__tasm *after,
                           size_t m) {
    uint64_t a[NC_TIR__HEIGHTS], b[NC_TIR__HEIGHTS];
    nc_tir__sum_rows(a, before, n);
    nc_tir__sum_rows(b, after, m);
    return m < n && b[NC_TIR__H_PROCESSOR] < a[NC_TIR__H_PROCESSOR] && nc_tir__within(b, a) &&
           nc_tir__stack_rows(after, m) <= nc_tir__stack_rows(before, n);
}

/* Out of memory, as an answer that finds nothing. */
static int nc_tir__starve(nc_tir__search *p) {
    p->no_memory = 1;
    return 0;
}

/* The cell of these instructions, which is fresh when they were not asked for before. */
static nc_tir__cell *nc_tir__remember(nc_tir__map *memory, const nc_tir__tasm *list, size_t n,
                                      int *fresh) {
    uint64_t a = n, b = ~(uint64_t)n;
    size_t i;
    for (i = 0; i < n; i++) {
        a = nc_tir__mix(nc_tir__mix(a, list[i].op), list[i].arg);
        b = nc_tir__mix(nc_tir__mix(b, list[i].arg), list[i].op);
    }
    return nc_tir__map_at(memory, a, b, 0, fresh);
}

/* Replace `count` instructions of *list from `at` on by `length` others. */
static void nc_tir__splice(nc_tir__tasm **list, size_t at, size_t count, const nc_tir__tasm *code,
                           size_t length) {
    const size_t tail = stbds_arrlenu(*list) - at - count;
    if (length > count) (void)stbds_arraddnptr(*list, length - count);
    if (tail) memmove(*list + at + length, *list + at + count, tail * sizeof **list);
    if (length) memcpy(*list + at, code, length * sizeof **list);
    if (length < count) NC_TIR__CUT(*list, at + length + tail);
}

/* -- hints and breaks: they move along with the code -- */

/* A break ends a block, so that what it shows is what the program had there. */
static int nc_tir__has_break(const nc_tir__optimizer *o, const nc_tir__tasm *t) {
    uint32_t mark = t->marks;
    while (mark && o->code.marks[mark - 1].count) mark = o->code.marks[mark - 1].next;
    return mark != 0;
}

/* Put a mark before those that `to` has, on elements from `first` on. */
static void nc_tir__put_mark(nc_tir__optimizer *o, uint32_t mark, uint64_t first,
                             nc_tir__tasm *to) {
    nc_tir__mark copy = o->code.marks[mark - 1];
    copy.first = first;
    copy.next = to->marks;
    stbds_arrput(o->code.marks, copy);
    to->marks = (uint32_t)stbds_arrlenu(o->code.marks);
}

/* Where the elements that a hint names at the end of `before` lie at the end of `after`: at the
 * same place if they can, else at any; or -1. */
static int64_t nc_tir__find_elements(const nc_tir__meaning *before, const nc_tir__meaning *after,
                                     const nc_tir__mark *mark) {
    const uint64_t n = mark->count;
    const uint32_t *wanted;
    uint64_t place, at;
    if (mark->first >= before->n || n > before->n - mark->first || n > after->n) return -1;
    wanted = &before->stack[before->n - mark->first - n]; /* the deepest of them */
    for (place = 0; place <= after->n - n; place++) {
        at = place == 0 ? mark->first : place - 1;
        if (at <= after->n - n &&
            !memcmp(&after->stack[after->n - at - n], wanted, (size_t)n * sizeof *wanted))
            return (int64_t)at;
    }
    return -1;
}

/* Put a hint that stands behind k instructions of `old` where its elements are in `code`. */
static void nc_tir__move_hint(nc_tir__optimizer *o, uint32_t mark, const nc_tir__tasm *old,
                              size_t k, nc_tir__tasm *code, size_t length) {
    nc_tir__prover *p = &o->search->prover;
    size_t j;
    if (nc_tir__interpret(p, old, k) != NC_TIR_PROVEN) return;
    for (j = 0; j < length; j++) {
        int64_t at;
        if (nc_tir__symbolic_run(&p->terms, code, j, &p->after) != NC_TIR_PROVEN) return;
        at = nc_tir__find_elements(&p->before, &p->after, &o->code.marks[mark - 1]);
        if (at < 0) continue;
        nc_tir__put_mark(o, mark, (uint64_t)at, &code[j]);
        return;
    }
}

/* Marks of code that makes room for other code move there, at most 64 from one instruction; those
 * on its first instruction to the first one, or where there is none to what stands behind (null
 * allowed). What finds no place is dropped, and counted when the program is printed. */
static void nc_tir__carry_marks(nc_tir__optimizer *o, const nc_tir__tasm *old, size_t count,
                                nc_tir__tasm *code, size_t length, nc_tir__tasm *behind) {
    nc_tir__tasm *first = length ? code : behind;
    uint32_t chain[64], mark, n;
    size_t k;
    for (k = count; k-- > 0;) {
        for (n = 0, mark = old[k].marks; mark && n < 64; mark = o->code.marks[mark - 1].next)
            chain[n++] = mark;
        while (n-- > 0) {
            if (k > 0)
                nc_tir__move_hint(o, chain[n], old, k, code, length);
            else if (first)
                nc_tir__put_mark(o, chain[n], o->code.marks[chain[n] - 1].first, first);
        }
    }
}

/* Marks that no instruction was left for go before `next`; null: they are dropped. */
static void nc_tir__settle_marks(nc_tir__optimizer *o, nc_tir__tasm *next) {
    if (next) nc_tir__carry_marks(o, &o->loose, 1, next, 1, NULL);
    o->loose.marks = 0;
}

/* Replace `count` instructions from `at` on by others, which take over the marks of the first. */
static void nc_tir__splice_marked(nc_tir__optimizer *o, nc_tir__tasm **list, size_t at,
                                  size_t count, nc_tir__tasm *code, size_t length) {
    nc_tir__tasm *behind = at + count < stbds_arrlenu(*list) ? *list + at + count : NULL;
    nc_tir__carry_marks(o, *list + at, 1, code, length, behind);
    nc_tir__splice(list, at, count, code, length);
}

/* Hints and breaks of the text, and those that the program no longer has. */
static nc_status nc_tir__count_marks(nc_tir__optimizer *o) {
    const size_t n = o->code.mark_count;
    uint8_t *there = (uint8_t *)nc__calloc(NULL, n + 1);
    size_t i, k;
    uint32_t mark;
    if (!there) return NC_ERR_MEMORY;
    for (mark = o->code.end_marks; mark; mark = o->code.marks[mark - 1].next)
        there[o->code.marks[mark - 1].number] = 1;
    for (i = 0; i < stbds_arrlenu(o->regions); i++)
        for (k = 0; !o->regions[i].gone && k < stbds_arrlenu(o->regions[i].code); k++)
            for (mark = o->regions[i].code[k].marks; mark; mark = o->code.marks[mark - 1].next)
                there[o->code.marks[mark - 1].number] = 1;
    for (i = 0; i < n; i++) o->report.hints_dropped += !there[i];
    o->report.hints = (uint32_t)n;
    nc__free(NULL, there, n + 1);
    return NC_OK;
}

/* -- blocks: search, proof, replacement -- */

/* Proven code in place of `count` instructions from `at` on; their marks come along. */
static void nc_tir__swap_in(nc_tir__optimizer *o, nc_tir__tasm **list, size_t at, size_t count,
                            const nc_tir__tasm *found, size_t length) {
    nc_tir__tasm *behind = at + count < stbds_arrlenu(*list) ? *list + at + count : &o->loose;
    nc_tir__tasm *code = NULL;
    if (o->code.mark_count) { /* else there are none to carry */
        nc_tir__add_code(&code, found, length);
        nc_tir__carry_marks(o, *list + at, count, code, length, behind);
        found = code;
    }
    nc_tir__splice(list, at, count, found, length);
    stbds_arrfree(code);
}

/* Search, gate, replace: `count` instructions of *list from `at` on by fewer ones with the same
 * meaning. 1 when replaced; else they stay as they are. A cell's value is where its answer stands,
 * and from bit 0 its length + 1, or 0 when none was found. */
static int nc_tir__replace(nc_tir__optimizer *o, nc_tir__tasm **list, size_t at, size_t count) {
    nc_tir__search *p = o->search;
    const nc_tir__tasm *old = *list + at, *found = p->found;
    size_t length;
    int fresh;
    nc_tir__cell *cell = nc_tir__remember(&o->memory, old, count, &fresh);
    if (!cell) return nc_tir__starve(p);
    if (fresh) {
        if (!nc_tir__find_shorter(p, old, count, (uint32_t)count, o->beam)) return 0;
        length = p->found_count;
    } else { /* proven again below: two sequences may share a key */
        if (cell->value == 0) return 0;
        length = (size_t)(cell->value & 0xffff) - 1;
        if (length) found = o->answers + (cell->value >> 16);
    }
    if (nc_tir__prove(&p->prover, old, count, found, length) != NC_TIR_PROVEN ||
        !nc_tir__cheaper(old, count, found, length)) {
        o->report.rejected++;
        return 0;
    }
    o->report.proofs++;
    nc_tir__swap_in(o, list, at, count, found, length);
    if (!fresh) return 1;
    cell->value = (uint64_t)stbds_arrlenu(o->answers) << 16 | (length + 1);
    nc_tir__add_code(&o->answers, p->found, length);
    return 1;
}

/* Shorten pieces of code that together are too long for one search, until none gets shorter. */
static int nc_tir__shorten_pieces(nc_tir__optimizer *o, nc_tir__tasm **list) {
    static const size_t sizes[3] = {28, 16, 8};
    int changed = 0, s;
    for (s = 0; s < 3; s++) {
        const size_t size = sizes[s];
        size_t at = 0;
        while (at + 2 <= stbds_arrlenu(*list) && !nc_tir__is_stopped(o)) {
            const size_t left = stbds_arrlenu(*list) - at;
            if (nc_tir__replace(o, list, at, left < size ? left : size)) {
                changed = 1;
                at = at > size ? at - size : 0;
            } else {
                at += (size + 5) / 6;
            }
        }
    }
    return changed;
}

/* The end of the block that starts at `first`: at most `limit` instructions; a longer run is cut
 * in its second half where the stack is lowest. */
static size_t nc_tir__block_end(const nc_tir__tasm *list, size_t n, size_t first, size_t limit) {
    size_t best = first + limit, i;
    int64_t height = 0, least = INT64_MAX;
    if (n - first <= limit) return n;
    for (i = first; i < first + limit; i++) {
        height += (int64_t)nc_tir__pushes(&list[i]) - (int64_t)nc_tir__pops(&list[i]);
        if (i - first >= limit / 2 && height <= least) {
            least = height;
            best = i + 1;
        }
    }
    return best;
}

/* Instructions that no order of the block's operations can avoid: the operations themselves, uses
 * of values beyond their copies, dead values five a pop. Moves are taken as free. */
static double nc_tir__bound(nc_tir__optimizer *o, const nc_tir__tasm *code, size_t n) {
    nc_tir__search *p = o->search;
    nc_tir__uses uses;
    nc_tir__state start;
    double bound;
    if (nc_tir__interpret(&p->prover, code, n) != NC_TIR_PROVEN || !nc_tir__set_problem(p, &start))
        return (double)n;
    nc_tir__count_uses(p, &start, &uses);
    bound = uses.open / (double)NC_TIR__SCORE + uses.copies + uses.dead / 5.0;
    return bound < (double)n ? bound : (double)n;
}

/* Why a block is shorter. */
static nc_tir_reason nc_tir__reason(const nc_tir__tasm *before, size_t n, const nc_tir__tasm *after,
                                    size_t m) {
    static const uint8_t tables[] = {NC_TIR__H_HASH, NC_TIR__H_U32, NC_TIR__H_RAM};
    uint64_t a[NC_TIR__HEIGHTS], b[NC_TIR__HEIGHTS];
    size_t i;
    nc_tir__sum_rows(a, before, n);
    nc_tir__sum_rows(b, after, m);
    for (i = 0; i < sizeof tables; i++)
        if (b[tables[i]] < a[tables[i]]) return NC_TIR_REASON_TABLE;
    return NC_TIR_REASON_STACK;
}

/* Count a block, and tell the caller of it. */
static void nc_tir__report_block(nc_tir__optimizer *o, const nc_tir__tasm *before, size_t n,
                                 const nc_tir__tasm *after, size_t m, int improved) {
    const double bound = nc_tir__bound(o, before, n);
    nc_tir_block block;
    block.instruction = (uint32_t)o->done;
    block.before = (uint32_t)n;
    block.after = (uint32_t)m;
    block.bound = (float)bound;
    block.reason = improved ? nc_tir__reason(before, n, after, m) : NC_TIR_REASON_NONE;
    o->done += n;
    o->report.blocks++;
    o->report.improved += (uint32_t)improved;
    o->report.slack += bound + 0.999 < (double)n || improved;
    o->report.bound += bound;
    if (o->options->on_block) o->options->on_block(o->options->on_block_user, &block);
}

/* Optimise straight-line code block by block, then across the cuts. */
static void nc_tir__improve(nc_tir__optimizer *o, nc_tir__tasm **segment) {
    const size_t n = stbds_arrlenu(*segment);
    size_t first, end;
    nc_tir__tasm *all = NULL, *block = NULL;
    for (first = 0; first < n && !nc_tir__is_stopped(o); first = end) {
        int improved;
        end = nc_tir__block_end(*segment, n, first, o->block);
        if (!o->restructuring && o->options->progress &&
            o->options->progress(o->options->progress_user, o->done, o->total))
            o->cancelled = 1;
        NC__EMPTY(block);
        nc_tir__add_code(&block, *segment + first, end - first);
        improved = nc_tir__replace(o, &block, 0, end - first);
        improved |= nc_tir__shorten_pieces(o, &block);
        if (!o->restructuring)
            nc_tir__report_block(o, *segment + first, end - first, block, stbds_arrlenu(block),
                                 improved);
        nc_tir__add_code(&all, block, stbds_arrlenu(block));
        if (end < n) nc_tir__settle_marks(o, *segment + end);
    }
    if (!nc_tir__is_stopped(o)) {
        (void)nc_tir__shorten_pieces(o, &all);
        nc_tir__splice(segment, 0, n, all, stbds_arrlenu(all));
    }
    stbds_arrfree(block);
    stbds_arrfree(all);
}

/* -- regions: code between labels -- */

#define NC_TIR__AFTER_SKIZ UINT32_MAX /* the line of an instruction that opens a region */

/* May a skiz before the instruction at i skip it? One at the end of the region before is marked by
 * a line number that no text has. */
static int nc_tir__is_conditional(const nc_tir__tasm *code, size_t i) {
    return code[i].line == NC_TIR__AFTER_SKIZ || (i > 0 && code[i - 1].op == NC_TIR__I_SKIZ);
}

/* Whether the instruction at i belongs to straight-line code: it does not jump, nothing may skip
 * it, and its stack index is one that exists. */
static int nc_tir__is_straight(const nc_tir__tasm *code, size_t i) {
    const nc_tir__instruction *table = &nc_tir__table[code[i].op];
    if ((table->flags & NC_TIR__JUMPS) || nc_tir__is_conditional(code, i)) return 0;
    return table->arg != NC_TIR__ARG_INDEX || code[i].arg < 16;
}

/* The start of the straight-line code that ends before `end`. */
static size_t nc_tir__segment_start(const nc_tir__tasm *code, size_t end) {
    while (end > 0 && nc_tir__is_straight(code, end - 1)) end--;
    return end;
}

/* Whether control never goes from the instruction at i to the one behind it. */
static int nc_tir__ends_flow(const nc_tir__tasm *code, size_t i) {
    if (nc_tir__is_conditional(code, i)) return 0;
    switch (code[i].op) {
    case NC_TIR__I_RETURN:
    case NC_TIR__I_HALT:
    case NC_TIR__I_RECURSE:
    case NC_TIR__I_RECURSE_OR_RETURN: return 1;
    default: return 0;
    }
}

/* Code behind an instruction that ends the flow goes: no label stands in it, so that nothing leads
 * there. How much it was. */
static size_t nc_tir__cut_unreachable(nc_tir__region *r) {
    const size_t n = stbds_arrlenu(r->code);
    size_t kept = 0;
    while (kept < n && !nc_tir__ends_flow(r->code, kept)) kept++;
    if (kept < n) kept++;
    NC_TIR__CUT(r->code, kept);
    return n - kept;
}

/* Every straight segment between jumps is searched and replaced where it stands. */
static void nc_tir__improve_region(nc_tir__optimizer *o, nc_tir__region *r) {
    const size_t unreachable = nc_tir__cut_unreachable(r);
    size_t i = 0;
    while (i < stbds_arrlenu(r->code) && !nc_tir__is_stopped(o)) {
        nc_tir__tasm *segment = NULL;
        size_t end = i;
        while (end < stbds_arrlenu(r->code) && nc_tir__is_straight(r->code, end) &&
               (end == i || !nc_tir__has_break(o, &r->code[end])))
            end++;
        if (end > i) {
            nc_tir__add_code(&segment, r->code + i, end - i);
            nc_tir__improve(o, &segment);
            nc_tir__splice(&r->code, i, end - i, segment, stbds_arrlenu(segment));
            i += stbds_arrlenu(segment);
            nc_tir__settle_marks(o, i < stbds_arrlenu(r->code) ? &r->code[i] : NULL);
            stbds_arrfree(segment);
        } else {
            i++;
            if (o->restructuring) continue;
            o->done++;
            o->report.bound += 1; /* jumps stay */
        }
    }
    if (!o->restructuring) o->done += unreachable;
}

/* Does control never run past the end of the region? */
static int nc_tir__is_closed(const nc_tir__region *r) {
    const size_t n = stbds_arrlenu(r->code);
    return n > 0 && nc_tir__ends_flow(r->code, n - 1);
}

/* Does the region before run into this one? `first` where there is none. */
static int nc_tir__is_run_into(const nc_tir__optimizer *o, size_t region, int first) {
    size_t i = region;
    while (i-- > 0)
        if (!o->regions[i].gone) return !nc_tir__is_closed(&o->regions[i]);
    return first;
}

/* The same, or the program starts here. */
static int nc_tir__is_entered(const nc_tir__optimizer *o, size_t region) {
    return nc_tir__is_run_into(o, region, 1);
}

/* Whether the name ends with that word and a number. */
static int nc_tir__is_numbered(const char *name, const char *word) {
    size_t n = strlen(name), m = strlen(word), digits = 0;
    while (digits < n && name[n - 1 - digits] >= '0' && name[n - 1 - digits] <= '9') digits++;
    return digits && n - digits >= m && !memcmp(name + n - digits - m, word, m);
}

/* A label the lowering invented, or one of a whole program: no other code may name it. */
static int nc_tir__is_invented(const nc_tir__optimizer *o, uint32_t label) {
    const char *name = nc_tir__name(&o->code, label);
    return o->options->whole || nc_tir__is_numbered(name, "__then__") ||
           nc_tir__is_numbered(name, "__else__") || nc_tir__is_numbered(name, "__loop__");
}

static int nc_tir__is_internal(const nc_tir__optimizer *o, const nc_tir__region *r) {
    size_t i;
    for (i = 0; i < stbds_arrlenu(r->labels); i++)
        if (!nc_tir__is_invented(o, r->labels[i])) return 0;
    return i > 0;
}

/* Whether calls of the region must stay: a linker drops a function that nobody calls, but the one
 * before runs into this one. */
static int nc_tir__is_relied_on(const nc_tir__optimizer *o, const nc_tir__region *r) {
    return !nc_tir__is_internal(o, r) && nc_tir__is_run_into(o, (size_t)(r - o->regions), 0);
}

/* Split the code at its labels. NC_ERR_MEMORY. */
static nc_status nc_tir__divide(nc_tir__optimizer *o) {
    const size_t labels = stbds_arrlenu(o->code.labels), n = stbds_arrlenu(o->code.list);
    const nc_tir__tasm *list = o->code.list;
    uint32_t *home = (uint32_t *)nc__calloc(NULL, (n + 1) * sizeof *home); /* of a first one: 1 + */
    size_t i, at;
    o->home = (uint32_t *)nc__calloc(NULL, (labels + 1) * sizeof *o->home);
    if (!home || !o->home) {
        nc__free(NULL, home, (n + 1) * sizeof *home);
        return NC_ERR_MEMORY;
    }
    for (i = 0, home[0] = 1; i < labels; i++)
        if (o->code.labels[i].value >= 0) home[o->code.labels[i].value] = 1;
    for (i = 0; i <= n; i++) {
        nc_tir__region r;
        if (i == n && !home[n]) break;
        if (!home[i]) {
            nc_tir__add_code(&stbds_arrlast(o->regions).code, &list[i], 1);
            continue;
        }
        memset(&r, 0, sizeof r);
        if (i < n) {
            nc_tir__add_code(&r.code, &list[i], 1);
            if (i && list[i - 1].op == NC_TIR__I_SKIZ) r.code[0].line = NC_TIR__AFTER_SKIZ;
        }
        stbds_arrput(o->regions, r);
        home[i] = (uint32_t)stbds_arrlenu(o->regions);
    }
    for (i = 0; i < labels; i++) {
        if (o->code.labels[i].value < 0) continue;
        at = home[o->code.labels[i].value] - 1;
        stbds_arrput(o->regions[at].labels, (uint32_t)i);
        o->home[i] = (uint32_t)at;
    }
    for (i = 0; i < stbds_arrlenu(o->regions); i++)
        o->regions[i].given = (uint32_t)stbds_arrlenu(o->regions[i].code);
    nc__free(NULL, home, (n + 1) * sizeof *home);
    return NC_OK;
}

/* The region a call goes to, or null when it lies elsewhere. */
static nc_tir__region *nc_tir__callee(const nc_tir__optimizer *o, const nc_tir__tasm *call) {
    if (call->op != NC_TIR__I_CALL || o->code.labels[call->arg].value < 0) return NULL;
    return &o->regions[o->home[call->arg]];
}

static uint32_t nc_tir__references(const nc_tir__optimizer *o, const nc_tir__region *r) {
    uint32_t n = 0;
    size_t i, k;
    for (i = 0; i < stbds_arrlenu(o->regions); i++)
        for (k = 0; !o->regions[i].gone && k < stbds_arrlenu(o->regions[i].code); k++)
            n += nc_tir__callee(o, &o->regions[i].code[k]) == r;
    return n;
}

/* Whether the region goes with its only call: no other code knows its names or runs into it. */
static int nc_tir__goes_with_call(const nc_tir__optimizer *o, const nc_tir__region *r) {
    return nc_tir__is_internal(o, r) && nc_tir__references(o, r) == 1 &&
           !nc_tir__is_entered(o, (size_t)(r - o->regions));
}

/* A body that runs from its label to one `return` at the end and jumps nowhere itself; its length
 * without the return, or -1. */
static int nc_tir__plain_body(const nc_tir__region *r, int calls_allowed) {
    const size_t n = stbds_arrlenu(r->code);
    size_t i;
    if (n == 0 || r->code[n - 1].op != NC_TIR__I_RETURN) return -1;
    for (i = 0; i + 1 < n; i++) {
        if (nc_tir__is_straight(r->code, i)) continue;
        if (!calls_allowed) return -1;
        if (r->code[i].op != NC_TIR__I_CALL && r->code[i].op != NC_TIR__I_SKIZ) {
            if (!nc_tir__is_conditional(r->code, i)) return -1;
            if (nc_tir__table[r->code[i].op].flags & NC_TIR__JUMPS) return -1;
        }
    }
    if (r->code[0].line == NC_TIR__AFTER_SKIZ || nc_tir__is_conditional(r->code, n - 1)) return -1;
    return (int)n - 1;
}

/* -- work across blocks -- */

/* Is the value at depth `at` after this straight-line code a constant, and which? */
static int nc_tir__leaves_constant(nc_tir__optimizer *o, const nc_tir__tasm *code, size_t n,
                                   uint32_t at, uint64_t *value) {
    nc_tir__prover *p = &o->search->prover;
    if (nc_tir__interpret(p, code, n) != NC_TIR_PROVEN || p->before.n <= at) return 0;
    return nc_tir__is_constant(&p->terms, p->before.stack[p->before.n - 1 - at], value);
}

/* The six-instruction choice: `skiz, call A, skiz, call B` on [flag, condition], where the flag is
 * a constant other than 0 and A leaves 0 in its place. */
typedef struct nc_tir__choice {
    nc_tir__region *a, *b;
    uint64_t flag;
} nc_tir__choice;

static int nc_tir__find_choice(nc_tir__optimizer *o, const nc_tir__region *r, size_t i,
                               nc_tir__choice *c) {
    const nc_tir__tasm *code = r->code;
    size_t start, n;
    uint64_t value;
    if (i + 4 > stbds_arrlenu(r->code) || code[i].op != NC_TIR__I_SKIZ ||
        code[i + 2].op != NC_TIR__I_SKIZ || nc_tir__is_conditional(code, i))
        return 0;
    c->a = nc_tir__callee(o, &code[i + 1]);
    c->b = nc_tir__callee(o, &code[i + 3]);
    if (!c->a || !c->b || c->a == r || c->b == r || c->a == c->b) return 0;
    if (nc_tir__is_relied_on(o, c->a) || nc_tir__is_relied_on(o, c->b)) return 0;
    if (nc_tir__plain_body(c->a, 1) < 0 || nc_tir__plain_body(c->b, 1) < 0) return 0;
    start = nc_tir__segment_start(code, i);
    if (!nc_tir__leaves_constant(o, code + start, i - start, 1, &c->flag) || !c->flag) return 0;
    n = stbds_arrlenu(c->a->code) - 1;
    start = nc_tir__segment_start(c->a->code, n);
    return nc_tir__leaves_constant(o, c->a->code + start, n - start, 0, &value) && value == 0;
}

/* Whether the assertions of two sequences have the same error ids in the same order. */
static int nc_tir__same_ids(const nc_tir__tasm *a, size_t n, const nc_tir__tasm *b, size_t m) {
    size_t i = 0, k = 0;
    for (;; i++, k++) {
        while (i < n && nc_tir__table[a[i].op].class_ != NC_TIR__CLASS_ASSERT) i++;
        while (k < m && nc_tir__table[b[k].op].class_ != NC_TIR__CLASS_ASSERT) k++;
        if (i == n || k == m) break;
        if (a[i].arg != b[k].arg) return 0;
    }
    for (; i < n; i++)
        if (nc_tir__table[a[i].op].class_ == NC_TIR__CLASS_ASSERT && a[i].arg) return 0;
    for (; k < m; k++)
        if (nc_tir__table[b[k].op].class_ == NC_TIR__CLASS_ASSERT && b[k].arg) return 0;
    return 1;
}

/* Rows and instructions of the program as it stands. */
static uint32_t nc_tir__measure(const nc_tir__optimizer *o, uint64_t rows[NC_TIR__HEIGHTS]) {
    size_t i, k, n = 0;
    memset(rows, 0, NC_TIR__HEIGHTS * sizeof *rows);
    for (i = 0; i < stbds_arrlenu(o->regions); i++) {
        if (o->regions[i].gone) continue;
        for (k = 0; k < stbds_arrlenu(o->regions[i].code); k++)
            nc_tir__add_rows(rows, &o->regions[i].code[k]);
        n += k;
    }
    return (uint32_t)n;
}

/* Would the program with one instruction more still be within the classical rows of all tables? */
static int nc_tir__affords(const nc_tir__optimizer *o, const nc_tir__tasm *extra) {
    uint64_t rows[NC_TIR__HEIGHTS];
    (void)nc_tir__measure(o, rows);
    nc_tir__add_rows(rows, extra);
    return nc_tir__within(rows, o->limit);
}

/* Is the program within the classical rows when `less` go and `more` come so many times? */
static int nc_tir__affords_change(const nc_tir__optimizer *o, const nc_tir__tasm *less, size_t n,
                                  const nc_tir__tasm *more, size_t m, uint64_t times) {
    uint64_t rows[NC_TIR__HEIGHTS], out[NC_TIR__HEIGHTS], in[NC_TIR__HEIGHTS];
    size_t i;
    (void)nc_tir__measure(o, rows);
    nc_tir__sum_rows(out, less, n);
    nc_tir__sum_rows(in, more, m);
    for (i = 0; i < NC_TIR__HEIGHTS; i++) rows[i] += times * in[i] - out[i];
    return nc_tir__within(rows, o->limit);
}

/* Both branches do the same: neither condition nor flag is needed. */
static int nc_tir__fold_equal(nc_tir__optimizer *o, nc_tir__region *r, size_t i,
                              const nc_tir__choice *c) {
    const nc_tir__tasm pop_one = nc_tir__make(NC_TIR__I_POP, 1);
    const nc_tir__tasm pop_two = nc_tir__make(NC_TIR__I_POP, 2);
    nc_tir__tasm *one = NULL, *two = NULL, *less = NULL;
    const int a = nc_tir__plain_body(c->a, 0), b = nc_tir__plain_body(c->b, 0);
    int equal;
    if (a < 0 || b < 0) return 0;
    nc_tir__add_code(&less, r->code + i, 4);
    if (nc_tir__goes_with_call(o, c->a)) nc_tir__add_code(&less, c->a->code, (size_t)a + 1);
    if (nc_tir__goes_with_call(o, c->b)) nc_tir__add_code(&less, c->b->code, (size_t)b + 1);
    nc_tir__add_code(&one, &pop_one, 1); /* the condition, A, the flag that it leaves */
    nc_tir__add_code(&one, c->a->code, (size_t)a);
    nc_tir__add_code(&one, &pop_one, 1);
    nc_tir__add_code(&two, &pop_two, 1); /* condition and flag, B */
    nc_tir__add_code(&two, c->b->code, (size_t)b);
    equal = nc_tir__affords_change(o, less, stbds_arrlenu(less), two, stbds_arrlenu(two), 1) &&
            nc_tir__same_ids(one, stbds_arrlenu(one), two, stbds_arrlenu(two)) &&
            nc_tir__prove(&o->search->prover, one, stbds_arrlenu(one), two, stbds_arrlenu(two)) ==
                NC_TIR_PROVEN;
    if (equal) {
        o->report.proofs++;
        nc_tir__splice_marked(o, &r->code, i, 4, two, stbds_arrlenu(two));
    }
    stbds_arrfree(one);
    stbds_arrfree(two);
    stbds_arrfree(less);
    return equal;
}

/* Code as short as the search makes it, without marks, at the end of an stb_ds array. The answers
 * are remembered for when it is done where the code stands; only then do they count. */
static void nc_tir__add_shortened(nc_tir__optimizer *o, nc_tir__tasm **to, const nc_tir__tasm *code,
                                  size_t n) {
    const nc_tir_report report = o->report;
    nc_tir__tasm *copy = NULL;
    size_t i;
    nc_tir__add_code(&copy, code, n);
    for (i = 0; i < n; i++) copy[i].marks = 0;
    nc_tir__improve(o, &copy);
    nc_tir__add_code(to, copy, stbds_arrlenu(copy));
    stbds_arrfree(copy);
    o->report = report;
}

/* Is the program within the classical rows when a choice becomes `code`, straight up to its last
 * two instructions, where that code and what stands before it are shortened as one? `empty` is the
 * branch that goes, where nothing else needs it; `fuller`, an stb_ds array or null, what the body
 * of A becomes. */
static int nc_tir__affords_fold(nc_tir__optimizer *o, const nc_tir__region *r, size_t i,
                                const nc_tir__choice *c, const nc_tir__tasm *code, size_t n,
                                const nc_tir__region *empty, nc_tir__tasm *fuller) {
    nc_tir__tasm *less = NULL, *more = NULL, *front = NULL;
    size_t start = nc_tir__segment_start(r->code, i), k;
    int fits;
    for (k = start + 1; k < i; k++)
        if (nc_tir__has_break(o, &r->code[k])) start = k;
    nc_tir__add_code(&less, r->code + start, i + 4 - start);
    nc_tir__add_code(&front, r->code + start, i - start);
    nc_tir__add_code(&front, code, n - 2);
    nc_tir__add_shortened(o, &more, front, stbds_arrlenu(front));
    nc_tir__add_code(&more, code + n - 2, 2);
    if (nc_tir__goes_with_call(o, empty))
        nc_tir__add_code(&less, empty->code, stbds_arrlenu(empty->code));
    if (fuller) {
        nc_tir__add_code(&less, c->a->code, stbds_arrlenu(c->a->code) - 1);
        nc_tir__add_shortened(o, &more, fuller, stbds_arrlenu(fuller));
    }
    fits = nc_tir__affords_change(o, less, stbds_arrlenu(less), more, stbds_arrlenu(more), 1);
    stbds_arrfree(less);
    stbds_arrfree(more);
    stbds_arrfree(front);
    return fits;
}

/* One branch is empty: the other alone is called, and needs no flag. */
static int nc_tir__fold_empty(nc_tir__optimizer *o, nc_tir__region *r, size_t i,
                              const nc_tir__choice *c) {
    const int a = nc_tir__plain_body(c->a, 0), b = nc_tir__plain_body(c->b, 0);
    const nc_tir__region *empty = b == 0 ? c->b : c->a;
    nc_tir__tasm code[6], *fuller = NULL;
    size_t n = 0, k;
    int fits;
    code[n++] = nc_tir__make(NC_TIR__I_SWAP, 1);
    code[n++] = nc_tir__make(NC_TIR__I_POP, 1);
    if (b == 0) { /* the flag that A finds, and the 0 that it leaves, are made and dropped in A
                     itself. A may not call: where a callee halts, the flag's place would be missed
                     too early */
        const nc_tir__tasm flag = nc_tir__make(NC_TIR__I_PUSH, c->flag);
        const nc_tir__tasm drop = nc_tir__make(NC_TIR__I_POP, 1);
        if (a < 0 || !nc_tir__goes_with_call(o, c->a)) return 0;
        nc_tir__add_code(&fuller, &flag, 1);
        nc_tir__add_code(&fuller, c->a->code, (size_t)a);
        nc_tir__add_code(&fuller, &drop, 1);
        code[n++] = r->code[i];
        code[n++] = r->code[i + 1];
    } else { /* A: pop 1, push 0 */
        if (a != 2 || c->a->code[0].op != NC_TIR__I_POP || c->a->code[0].arg != 1 ||
            c->a->code[1].op != NC_TIR__I_PUSH || c->a->code[1].arg != 0)
            return 0;
        code[n++] = nc_tir__make(NC_TIR__I_PUSH, 0);
        code[n++] = nc_tir__make(NC_TIR__I_EQ, 0);
        code[n++] = r->code[i + 2];
        code[n++] = r->code[i + 3];
    }
    for (k = 0; k < n; k++) code[k].marks = 0; /* other elements lie under theirs now */
    fits = nc_tir__affords_fold(o, r, i, c, code, n, empty, fuller);
    if (fits && fuller) {
        if (stbds_arrlast(c->a->code).marks) /* the return has lost an element under its hints */
            stbds_arrlast(fuller).marks = stbds_arrlast(c->a->code).marks;
        stbds_arrlast(c->a->code).marks = 0;
        nc_tir__splice(&c->a->code, 0, (size_t)a, fuller, stbds_arrlenu(fuller));
        nc_tir__improve_region(o, c->a);
    }
    if (fits) nc_tir__splice_marked(o, &r->code, i, 4, code, n);
    stbds_arrfree(fuller);
    return fits;
}

/* Calls of bodies of at most one instruction become that instruction; an invented label that is
 * called once becomes its body. */
static int nc_tir__inline_call(nc_tir__optimizer *o, nc_tir__region *r, size_t i) {
    nc_tir__region *callee = nc_tir__callee(o, &r->code[i]);
    const int skipped = nc_tir__is_conditional(r->code, i);
    nc_tir__tasm *body = NULL;
    int n, alone;
    if (!callee || callee == r || r->code[i].line == NC_TIR__AFTER_SKIZ) return 0;
    if (nc_tir__is_relied_on(o, callee)) return 0;
    n = nc_tir__plain_body(callee, 1); /* what it calls returns into it wherever it stands */
    if (n < 0 || (skipped && n > 1)) return 0;
    alone = nc_tir__goes_with_call(o, callee);
    if (!alone && (n > 1 || (n == 1 && !nc_tir__affords(o, &callee->code[0])))) return 0;
    if (skipped && n == 0) { /* only the condition goes; what may skip the skiz may skip that */
        nc_tir__tasm drop = nc_tir__make(NC_TIR__I_POP, 1);
        drop.line = r->code[i - 1].line;
        nc_tir__splice_marked(o, &r->code, i - 1, 2, &drop, 1);
        return 1;
    }
    nc_tir__add_code(&body, callee->code, (size_t)n);
    nc_tir__splice_marked(o, &r->code, i, 1, body, (size_t)n);
    stbds_arrfree(body);
    return 1;
}

/* Whether two instructions do the same, calls of one region under several names included. */
static int nc_tir__same_instruction(const nc_tir__optimizer *o, const nc_tir__tasm *a,
                                    const nc_tir__tasm *b) {
    if (a->op != b->op) return 0;
    return a->arg == b->arg ||
           (nc_tir__callee(o, a) && nc_tir__callee(o, a) == nc_tir__callee(o, b));
}

/* Whether a call of region a does what a call of b does: they have the same code, which is closed,
 * a has a name, and nothing runs into b. */
static int nc_tir__is_copy(const nc_tir__optimizer *o, size_t a, size_t b) {
    const nc_tir__region *x = &o->regions[a], *y = &o->regions[b];
    const size_t n = stbds_arrlenu(x->code);
    size_t i;
    if (x->gone || y->gone || n != stbds_arrlenu(y->code) || n == 0) return 0;
    if (!nc_tir__is_closed(x) || !stbds_arrlenu(x->labels)) return 0;
    for (i = 0; i < n; i++)
        if (!nc_tir__same_instruction(o, &x->code[i], &y->code[i])) return 0;
    return !nc_tir__is_entered(o, b);
}

/* Whether region b may go because a has the same code: its names nobody else knows. */
static int nc_tir__can_share(const nc_tir__optimizer *o, size_t a, size_t b) {
    return nc_tir__is_internal(o, &o->regions[b]) && nc_tir__is_copy(o, a, b);
}

/* All calls of region `from` become calls of the last name of `to`, which has the code behind it;
 * `from` goes. */
static void nc_tir__redirect(nc_tir__optimizer *o, size_t from, size_t to) {
    const uint32_t name = stbds_arrlast(o->regions[to].labels);
    nc_tir__region *gone = &o->regions[from];
    size_t i, k;
    for (i = 0; i < stbds_arrlenu(o->regions); i++)
        for (k = 0; k < stbds_arrlenu(o->regions[i].code); k++)
            if (nc_tir__callee(o, &o->regions[i].code[k]) == gone) o->regions[i].code[k].arg = name;
    NC__EMPTY(gone->labels);
    gone->gone = 1;
}

/* Regions with the same code are kept once. A linker takes a function for what stands between its
 * label and the next, so the one that goes loses its names: two functions that other code may call
 * are both kept. */
static int nc_tir__share(nc_tir__optimizer *o) {
    const size_t n = stbds_arrlenu(o->regions);
    size_t i, k;
    int changed = 0;
    for (i = n; i-- > 0;) {
        for (k = 0; k < n && (k == i || !nc_tir__can_share(o, k, i)); k++) {
        }
        if (k == n) continue;
        nc_tir__redirect(o, i, k);
        changed = 1;
    }
    return changed;
}

/* Whether the region runs from its label to one `return`, every instruction once, in at least
 * `spared` cycles fewer than it was given with. */
static int nc_tir__spares(const nc_tir__region *r, size_t spared) {
    const size_t n = stbds_arrlenu(r->code);
    size_t i;
    for (i = 0; i + 1 < n; i++)
        if (r->code[i].op == NC_TIR__I_SKIZ) return 0;
    return nc_tir__plain_body(r, 1) >= 0 && n + spared <= r->given;
}

/* Of functions that other code may call and that have the same code one keeps it, the others call
 * that one: a linker keeps what is called. Only where the two more cycles leave a function no
 * longer than it was. */
static void nc_tir__call_copies(nc_tir__optimizer *o) {
    const size_t n = stbds_arrlenu(o->regions);
    size_t i, k;
    for (i = n; i-- > 0;) {
        nc_tir__region *r = &o->regions[i];
        nc_tir__tasm code[2];
        if (r->gone || stbds_arrlenu(r->code) < 3 || !nc_tir__spares(r, 2)) continue;
        for (k = 0; k < i && !nc_tir__is_copy(o, k, i); k++) {
        }
        if (k == i) continue;
        code[0] = nc_tir__make(NC_TIR__I_CALL, stbds_arrlast(o->regions[k].labels));
        code[1] = nc_tir__make(NC_TIR__I_RETURN, 0);
        nc_tir__splice_marked(o, &r->code, 0, stbds_arrlenu(r->code), code, 2);
    }
}

static int nc_tir__is_called(const nc_tir__optimizer *o, uint32_t label) {
    size_t i, k;
    for (i = 0; i < stbds_arrlenu(o->regions); i++)
        for (k = 0; !o->regions[i].gone && k < stbds_arrlenu(o->regions[i].code); k++)
            if (o->regions[i].code[k].op == NC_TIR__I_CALL && o->regions[i].code[k].arg == label)
                return 1;
    return 0;
}

/* Invented labels that nobody calls go, and code that nothing leads to any more. */
static int nc_tir__sweep(nc_tir__optimizer *o) {
    int changed = 0;
    size_t i, k;
    for (i = 0; i < stbds_arrlenu(o->regions); i++) {
        nc_tir__region *r = &o->regions[i];
        for (k = stbds_arrlenu(r->labels); !r->gone && k-- > 0;)
            if (nc_tir__is_invented(o, r->labels[k]) && !nc_tir__is_called(o, r->labels[k]))
                stbds_arrdel(r->labels, k);
        if (r->gone || stbds_arrlenu(r->labels) || nc_tir__is_entered(o, i)) continue;
        if (!nc_tir__is_closed(r)) continue;
        r->gone = 1;
        changed = 1;
    }
    return changed;
}

/* Fold the choices of a region, or move small bodies in. */
static int nc_tir__simplify(nc_tir__optimizer *o, nc_tir__region *r, int fold) {
    int touched = 0;
    size_t i;
    for (i = 0; i < stbds_arrlenu(r->code); i++) {
        nc_tir__choice c;
        if (!fold)
            touched |= r->code[i].op == NC_TIR__I_CALL && nc_tir__inline_call(o, r, i);
        else if (r->code[i].op == NC_TIR__I_SKIZ && nc_tir__find_choice(o, r, i, &c))
            touched |= nc_tir__fold_equal(o, r, i, &c) || nc_tir__fold_empty(o, r, i, &c);
    }
    if (touched) nc_tir__improve_region(o, r);
    return touched;
}

/* -- loops -- */

/* A loop that asks before each round whether to go on: `H, push c, eq, skiz, return, body,
 * recurse`. Asked after the round, and once more before it is called, it goes on or not by `skiz`
 * alone: `body, H, addi -c, skiz, recurse, return`, called by `H, addi -c, skiz, call`. Where c is
 * 0 there is no addi. The same instructions are executed in the same order but for these, none of
 * which can crash. */

/* The length of H where the region is such a loop, nothing runs into it and no round ends early; or
 * -1. */
static int nc_tir__asks_before(const nc_tir__optimizer *o, const nc_tir__region *r) {
    const size_t n = stbds_arrlenu(r->code);
    size_t h = 0, i;
    if (r->gone || n < 6 || r->code[n - 1].op != NC_TIR__I_RECURSE || !nc_tir__is_closed(r) ||
        nc_tir__is_entered(o, (size_t)(r - o->regions)))
        return -1;
    while (nc_tir__is_straight(r->code, h)) h++; /* ends at a jump: there is one */
    if (h < 2 || r->code[h].op != NC_TIR__I_SKIZ || r->code[h + 1].op != NC_TIR__I_RETURN ||
        nc_tir__is_conditional(r->code, 0) || r->code[h - 1].op != NC_TIR__I_EQ ||
        r->code[h - 2].op != NC_TIR__I_PUSH)
        return -1;
    for (i = 0; i + 1 < n; i++)
        if (r->code[i].op == NC_TIR__I_RECURSE || r->code[i].op == NC_TIR__I_RECURSE_OR_RETURN)
            return -1;
    return (int)h - 2;
}

/* Calls of the region; UINT32_MAX when one of them may be skipped. */
static uint32_t nc_tir__plain_calls(const nc_tir__optimizer *o, const nc_tir__region *r) {
    uint32_t n = 0;
    size_t i, k;
    for (i = 0; i < stbds_arrlenu(o->regions); i++)
        for (k = 0; !o->regions[i].gone && k < stbds_arrlenu(o->regions[i].code); k++) {
            if (nc_tir__callee(o, &o->regions[i].code[k]) != r) continue;
            if (nc_tir__is_conditional(o->regions[i].code, k)) return UINT32_MAX;
            n++;
        }
    return n;
}

/* Put code before each call of the loop, and behind it. */
static void nc_tir__wrap_calls(nc_tir__optimizer *o, const nc_tir__region *loop,
                               const nc_tir__tasm *before, size_t n, const nc_tir__tasm *behind,
                               size_t m) {
    size_t i, k;
    for (i = 0; i < stbds_arrlenu(o->regions); i++) {
        nc_tir__region *r = &o->regions[i];
        int touched = 0;
        for (k = 0; !r->gone && k < stbds_arrlenu(r->code); k++) {
            if (nc_tir__callee(o, &r->code[k]) != loop) continue;
            nc_tir__splice(&r->code, k + 1, 0, behind, m);
            nc_tir__splice(&r->code, k, 0, before, n);
            k += n + m;
            touched = 1;
        }
        if (touched) nc_tir__improve_region(o, r);
    }
}

/* 1 when the loop was turned. */
static int nc_tir__turn_loop(nc_tir__optimizer *o, nc_tir__region *r) {
    const int head = nc_tir__is_internal(o, r) ? nc_tir__asks_before(o, r) : -1;
    const uint32_t calls = head < 0 ? 0 : nc_tir__plain_calls(o, r);
    nc_tir__tasm *question = NULL;
    size_t n;
    int fits;
    if (calls == 0 || calls == UINT32_MAX) return 0;
    nc_tir__add_code(&question, r->code, (size_t)head);
    if (r->code[head].arg) /* what equals c ends it: the difference is 0 */
        stbds_arrput(question, nc_tir__make(NC_TIR__I_ADDI, nc_gl_neg(r->code[head].arg)));
    stbds_arrput(question, nc_tir__make(NC_TIR__I_SKIZ, 0));
    n = stbds_arrlenu(question);
    /* the head and its question go; the new one stands at the end and before each call */
    fits = nc_tir__affords_change(o, r->code, (size_t)head + 3, question, n, calls + UINT64_C(1));
    if (fits) {
        const nc_tir__tasm back = nc_tir__make(NC_TIR__I_RETURN, 0);
        NC_TIR__CUT(r->code, stbds_arrlenu(r->code) - 1);
        nc_tir__add_code(&r->code, question, n);
        stbds_arrput(r->code, nc_tir__make(NC_TIR__I_RECURSE, 0));
        stbds_arrput(r->code, back);
        nc_tir__splice(&r->code, 0, (size_t)head + 4, NULL, 0);
        nc_tir__improve_region(o, r);
        nc_tir__wrap_calls(o, r, question, n, NULL, 0);
    }
    stbds_arrfree(question);
    return fits;
}

/* A loop that ends where two elements are equal, `dup i, dup j, eq, skiz, return, body, recurse`,
 * ends by recurse_or_return when these two lie at st5 and st6 between rounds: four instructions
 * fewer in each. The stack is rearranged before the call and back behind it; whether there is a
 * first round is asked before the call. */
typedef struct nc_tir__equal_loop {
    nc_tir__tasm *body;            /* stb_ds array: the loop as it becomes */
    nc_tir__tasm *before, *behind; /* stb_ds arrays: what is put around its calls */
} nc_tir__equal_loop;

/* Whether the region is such a loop; its body follows the first five instructions. */
static int nc_tir__is_equal_loop(const nc_tir__optimizer *o, const nc_tir__region *r) {
    const size_t n = stbds_arrlenu(r->code);
    const nc_tir__tasm *c = r->code;
    size_t i;
    if (r->gone || n < 7 || !nc_tir__is_closed(r) || !nc_tir__is_internal(o, r) ||
        nc_tir__is_entered(o, (size_t)(r - o->regions)) || nc_tir__is_conditional(c, 0) ||
        c[0].op != NC_TIR__I_DUP || c[1].op != NC_TIR__I_DUP || c[2].op != NC_TIR__I_EQ ||
        c[3].op != NC_TIR__I_SKIZ || c[4].op != NC_TIR__I_RETURN ||
        c[n - 1].op != NC_TIR__I_RECURSE)
        return 0;
    if (c[0].arg > 15 || c[1].arg > 15 || c[1].arg == 0 || c[1].arg == c[0].arg + 1) return 0;
    for (i = 5; i + 1 < n; i++)
        if (c[i].op == NC_TIR__I_RETURN || c[i].op == NC_TIR__I_RECURSE ||
            c[i].op == NC_TIR__I_RECURSE_OR_RETURN)
            return 0;
    return 1;
}

static void nc_tir__free_loop(nc_tir__equal_loop *l) {
    stbds_arrfree(l->body);
    stbds_arrfree(l->before);
    stbds_arrfree(l->behind);
}

/* Instructions that bring st_i and st_j to st5 and st6, and their number: these two go down and the
 * others follow in their order, or they change places with those that lie there. Read backwards,
 * with pick for place and place for pick, they bring them back. */
static size_t nc_tir__to_five_and_six(uint64_t i, uint64_t j, int change, nc_tir__tasm there[6]) {
    const uint64_t from[2] = {i, j == 5 ? i : j}; /* the first change may have moved the second */
    uint64_t k;
    if (!change) {
        there[0] = nc_tir__make(NC_TIR__I_PICK, i);
        there[1] = nc_tir__make(NC_TIR__I_PICK, j < i ? j + 1 : j);
        there[2] = nc_tir__make(NC_TIR__I_PLACE, 6);
        there[3] = nc_tir__make(NC_TIR__I_PLACE, 5);
        return 4;
    }
    for (k = 0; k < 2; k++) { /* a change of places by way of the top; swap 0 is none */
        there[3 * k] = there[3 * k + 2] = nc_tir__make(NC_TIR__I_SWAP, from[k]);
        there[3 * k + 1] = nc_tir__make(NC_TIR__I_SWAP, from[k] == 5 + k ? 0 : 5 + k);
    }
    return 6;
}

/* The new code of the loop and around its calls, as short as the search makes it. */
static void nc_tir__rearrange_loop(nc_tir__optimizer *o, const nc_tir__region *r, int change,
                                   nc_tir__equal_loop *l) {
    static const uint8_t question[] = {NC_TIR__I_DUP, NC_TIR__I_DUP, NC_TIR__I_EQ, NC_TIR__I_PUSH,
                                       NC_TIR__I_EQ};
    nc_tir__tasm there[6], back[6];
    const size_t n = nc_tir__to_five_and_six(r->code[0].arg, r->code[1].arg - 1, change, there);
    nc_tir__region loop;
    size_t k;
    for (k = 0; k < n; k++) {
        back[k] = there[n - 1 - k];
        if (back[k].op != NC_TIR__I_SWAP)
            back[k].op = back[k].op == NC_TIR__I_PICK ? NC_TIR__I_PLACE : NC_TIR__I_PICK;
    }
    memset(l, 0, sizeof *l);
    memset(&loop, 0, sizeof loop);
    nc_tir__add_code(&loop.code, back, n);
    nc_tir__add_code(&loop.code, r->code + 5, stbds_arrlenu(r->code) - 6);
    nc_tir__add_code(&loop.code, there, n);
    stbds_arrput(loop.code, nc_tir__make(NC_TIR__I_RECURSE_OR_RETURN, 0));
    nc_tir__improve_region(o, &loop);
    l->body = loop.code;
    nc_tir__add_code(&l->before, there, n);
    for (k = 0; k < sizeof question; k++) /* the first copy lies above st6 */
        stbds_arrput(l->before, nc_tir__make(question[k], k == 0 ? 5 : k == 1 ? 7 : 0));
    nc_tir__improve(o, &l->before);
    stbds_arrput(l->before, nc_tir__make(NC_TIR__I_SKIZ, 0));
    nc_tir__add_code(&l->behind, back, n);
    nc_tir__improve(o, &l->behind);
}

/* The shorter way to rearrange it, a round first. */
static void nc_tir__choose_order(nc_tir__optimizer *o, const nc_tir__region *r,
                                 nc_tir__equal_loop *l) {
    nc_tir__equal_loop other;
    size_t a, b;
    nc_tir__rearrange_loop(o, r, 0, l);
    nc_tir__rearrange_loop(o, r, 1, &other);
    a = 64 * stbds_arrlenu(l->body) + stbds_arrlenu(l->before) + stbds_arrlenu(l->behind);
    b = 64 * stbds_arrlenu(other.body) + stbds_arrlenu(other.before) + stbds_arrlenu(other.behind);
    if (b < a) {
        const nc_tir__equal_loop kept = *l;
        *l = other;
        other = kept;
    }
    nc_tir__free_loop(&other);
}

/* Is a round shorter by two instructions or more, and the program within the classical rows? */
static int nc_tir__pays_to_rearrange(const nc_tir__optimizer *o, const nc_tir__region *r,
                                     const nc_tir__equal_loop *l, uint64_t calls) {
    const size_t n = stbds_arrlenu(r->code), m = stbds_arrlenu(l->body);
    uint64_t rows[NC_TIR__HEIGHTS], part[NC_TIR__HEIGHTS];
    size_t i;
    if (nc_tir__is_stopped(o) || m + 3 > n)
        return 0; /* of the old one, one does not run in a round */
    (void)nc_tir__measure(o, rows);
    nc_tir__sum_rows(part, r->code, n);
    for (i = 0; i < NC_TIR__HEIGHTS; i++) rows[i] -= part[i];
    nc_tir__sum_rows(part, l->body, m);
    for (i = 0; i < NC_TIR__HEIGHTS; i++) rows[i] += part[i];
    nc_tir__sum_rows(part, l->before, stbds_arrlenu(l->before));
    for (i = 0; i < NC_TIR__HEIGHTS; i++) rows[i] += calls * part[i];
    nc_tir__sum_rows(part, l->behind, stbds_arrlenu(l->behind));
    for (i = 0; i < NC_TIR__HEIGHTS; i++) rows[i] += calls * part[i];
    return nc_tir__within(rows, o->limit);
}

/* 1 when the loop was rearranged. */
static int nc_tir__end_by_equality(nc_tir__optimizer *o, nc_tir__region *r) {
    uint32_t calls;
    nc_tir__equal_loop l;
    int pays;
    if (!o->options->whole || !nc_tir__is_equal_loop(o, r)) return 0;
    calls = nc_tir__plain_calls(o, r);
    if (calls == 0 || calls == UINT32_MAX) return 0;
    nc_tir__choose_order(o, r, &l);
    pays = nc_tir__pays_to_rearrange(o, r, &l, calls);
    if (pays) {
        NC__EMPTY(r->code);
        nc_tir__add_code(&r->code, l.body, stbds_arrlenu(l.body));
        nc_tir__wrap_calls(o, r, l.before, stbds_arrlenu(l.before), l.behind,
                           stbds_arrlenu(l.behind));
    }
    nc_tir__free_loop(&l);
    return pays;
}

static int nc_tir__turn_loops(nc_tir__optimizer *o) {
    size_t i;
    int changed = 0;
    for (i = 0; i < stbds_arrlenu(o->regions) && !nc_tir__is_stopped(o); i++)
        changed |=
            nc_tir__turn_loop(o, &o->regions[i]) || nc_tir__end_by_equality(o, &o->regions[i]);
    return changed;
}

/* Work across blocks until nothing changes: choices from the inner ones outward, then calls. */
static void nc_tir__restructure(nc_tir__optimizer *o) {
    int changed = 1, round, fold;
    for (round = 0; changed && round < 256 && !nc_tir__is_stopped(o); round++) {
        size_t k;
        for (changed = 0, fold = 1; !changed && fold >= 0; fold--)
            for (k = stbds_arrlenu(o->regions); k-- > 0 && !nc_tir__is_stopped(o);)
                if (!o->regions[k].gone) changed |= nc_tir__simplify(o, &o->regions[k], fold);
        changed |= nc_tir__sweep(o);
        changed |= nc_tir__share(o);
        changed |= nc_tir__turn_loops(o);
    }
}

static void nc_tir__print_regions(const nc_tir__optimizer *o, nc__buffer *out) {
    size_t i, k;
    for (i = 0; i < stbds_arrlenu(o->regions); i++) {
        const nc_tir__region *r = &o->regions[i];
        if (r->gone) continue;
        for (k = 0; k < stbds_arrlenu(r->labels); k++) {
            nc_tir__print(out, nc_tir__name(&o->code, r->labels[k]));
            nc_tir__print(out, ":\n");
        }
        for (k = 0; k < stbds_arrlenu(r->code); k++)
            nc_tir__print_instruction(out, &o->code, &r->code[k]);
        if (nc_tir__is_closed(r)) nc_tir__print(out, "\n");
    }
    nc_tir__print_marks(out, &o->code, o->code.end_marks);
}

/* -- the cliff: rows traded between tables -- */

/* nc_tir_tables as an array. */
enum {
    NC_TIR__M_PROCESSOR,
    NC_TIR__M_PROGRAM,
    NC_TIR__M_OP_STACK,
    NC_TIR__M_RAM,
    NC_TIR__M_JUMP_STACK,
    NC_TIR__M_HASH,
    NC_TIR__M_CASCADE,
    NC_TIR__M_LOOKUP,
    NC_TIR__M_U32,
    NC_TIR__TABLES
};
NC_TIR__STATIC(tables_are_an_array, sizeof(nc_tir_tables) == NC_TIR__TABLES * sizeof(uint64_t));

/* What a program costs, the more important first. */
typedef struct nc_tir__cost {
    uint64_t padded;  /* height of all tables */
    uint64_t above;   /* rows above the cliff below it, over all tables */
    uint64_t tallest; /* rows of the tallest table */
    uint64_t total;   /* rows of all tables */
} nc_tir__cost;

/* A trade that may be done: where, and the rows that it may save. */
typedef struct nc_tir__deal {
    uint64_t gain;
    uint32_t trade, region, at, extra;
} nc_tir__deal;

/* A program that is traded with. Every deal is done on the regions and proven, then the program
 * runs on all samples; what does not pay is undone. */
typedef struct nc_tir__trader {
    nc_tir__optimizer *o;
    nc_tir__code view;        /* the regions in one piece; names and ids are the optimiser's */
    uint32_t *first;          /* stb_ds array: where each region starts in it */
    uint64_t *visits;         /* stb_ds array: how often each instruction ran, over all samples */
    uint64_t *one;            /* stb_ds array: the same for one sample */
    nc_tir_execution *wanted; /* stb_ds array: what each sample must give */
    uint64_t *rows, *best;    /* stb_ds arrays: tables of each sample, now and as accepted */
    nc_tir__cost cost;        /* as accepted */
    uint64_t target;          /* the cliff that the program shall fall below */
    nc_tir__deal *deals;      /* stb_ds array */
    nc_tir__map tried;        /* deals that did not pay */
    uint64_t spent, limit;    /* steps of the machine */
    uint64_t expanded;        /* states of the search, as of the last count */
    uint32_t trades[NC_TIR_TRADE_COUNT], runs, names;
    int harmless; /* only what no table pays for */
} nc_tir__trader;

static int nc_tir__costs_less(const nc_tir__cost *a, const nc_tir__cost *b) {
    if (a->padded != b->padded) return a->padded < b->padded;
    if (a->above != b->above) return a->above < b->above;
    if (a->tallest != b->tallest) return a->tallest < b->tallest;
    return a->total < b->total;
}

/* The cost of the worst sample; the rows of all of them count in its total. */
static nc_tir__cost nc_tir__cost_of_runs(const uint64_t *rows, size_t samples, size_t *worst) {
    nc_tir__cost cost = {0, 0, 0, 0}, one;
    uint64_t total = 0;
    size_t i, k;
    *worst = 0;
    for (i = 0; i < samples; i++, rows += NC_TIR__TABLES) {
        memset(&one, 0, sizeof one);
        one.tallest = rows[nc_tir__largest(rows, NC_TIR__TABLES)];
        one.padded = nc_tir_padded(one.tallest);
        for (k = 0; k < NC_TIR__TABLES; k++) {
            one.above += rows[k] > one.padded / 2 ? rows[k] - one.padded / 2 : 0;
            total += rows[k];
        }
        if (i && !nc_tir__costs_less(&cost, &one)) continue;
        cost = one;
        *worst = i;
    }
    cost.total = total;
    return cost;
}

/* The regions in one piece. */
static void nc_tir__lay_out(nc_tir__trader *t) {
    const nc_tir__optimizer *o = t->o;
    const size_t labels = stbds_arrlenu(o->code.labels);
    size_t i, k;
    t->view.names = o->code.names;
    t->view.ids = o->code.ids;
    NC__EMPTY(t->view.list);
    NC__EMPTY(t->view.labels);
    NC__EMPTY(t->first);
    if (labels)
        memcpy(stbds_arraddnptr(t->view.labels, labels), o->code.labels,
               labels * sizeof *t->view.labels);
    for (i = 0; i < labels; i++) t->view.labels[i].value = -1;
    for (i = 0; i < stbds_arrlenu(o->regions); i++) {
        const nc_tir__region *r = &o->regions[i];
        const size_t at = stbds_arrlenu(t->view.list);
        stbds_arrput(t->first, (uint32_t)at);
        if (r->gone) continue;
        for (k = 0; k < stbds_arrlenu(r->labels); k++)
            t->view.labels[r->labels[k]].value = (int32_t)at;
        nc_tir__add_code(&t->view.list, r->code, stbds_arrlenu(r->code));
    }
}

/* Rows of a run in the aim's tables. */
static void nc_tir__rows_of(const nc_tir__trader *t, const nc_tir_execution *x, uint64_t *rows) {
    static const uint8_t place[NC_TIR__HEIGHTS] = {NC_TIR__M_PROCESSOR, NC_TIR__M_HASH,
                                                   NC_TIR__M_U32,       NC_TIR__M_OP_STACK,
                                                   NC_TIR__M_RAM,       NC_TIR__M_JUMP_STACK};
    size_t i, k;
    memset(rows, 0, NC_TIR__TABLES * sizeof *rows);
    if (t->o->options->aim == NC_TIR_AIM_MACHINE) {
        rows[NC_TIR__M_PROCESSOR] = x->processor;
        rows[NC_TIR__M_PROGRAM] = x->program;
        rows[NC_TIR__M_OP_STACK] = x->op_stack;
        rows[NC_TIR__M_RAM] = x->ram;
        rows[NC_TIR__M_JUMP_STACK] = x->jump_stack;
        rows[NC_TIR__M_HASH] = x->hash;
        rows[NC_TIR__M_CASCADE] = x->cascade;
        rows[NC_TIR__M_LOOKUP] = x->lookup;
        rows[NC_TIR__M_U32] = x->u32;
        return;
    }
    if (t->o->options->aim == NC_TIR_AIM_CYCLES) {
        rows[NC_TIR__M_PROCESSOR] = x->processor;
        return;
    }
    for (i = 0; i < stbds_arrlenu(t->view.list); i++) {
        uint64_t one[NC_TIR__HEIGHTS] = {0};
        nc_tir__add_rows(one, &t->view.list[i]);
        for (k = 0; k < NC_TIR__HEIGHTS; k++) rows[place[k]] += one[k] * t->one[i];
    }
}

/* Run the program on all samples: t->rows, t->visits. NC_ERR_MISMATCH: it does not do what is
 * wanted. */
static nc_status nc_tir__run_samples(nc_tir__trader *t) {
    const nc_tir_options *options = t->o->options;
    nc_status status = NC_OK;
    size_t i, k, n;
    nc_tir__lay_out(t);
    n = stbds_arrlenu(t->view.list);
    NC__EMPTY(t->visits);
    NC__EMPTY(t->one);
    if (n) memset(stbds_arraddnptr(t->visits, n), 0, n * sizeof *t->visits);
    if (n) (void)stbds_arraddnptr(t->one, n);
    for (i = 0; i < options->sample_count && status == NC_OK; i++) {
        const nc_tir_execution *wanted = i < stbds_arrlenu(t->wanted) ? &t->wanted[i] : NULL;
        nc_tir_execution x;
        memset(&x, 0, sizeof x);
        if (n) memset(t->one, 0, n * sizeof *t->one);
        status = nc_tir__execute_code(&t->view, &options->samples[i], t->one, &x);
        if (status == NC_OK &&
            (x.outcome != NC_TIR_HALTED ||
             (wanted && (x.output_count != wanted->output_count ||
                         (x.output_count &&
                          memcmp(x.output, wanted->output, x.output_count * sizeof *x.output))))))
            status = NC_ERR_MISMATCH;
        for (k = 0; k < n; k++) t->visits[k] += t->one[k];
        nc_tir__rows_of(t, &x, t->rows + i * NC_TIR__TABLES);
        t->spent += x.processor + 8 * x.hash + 2048; /* a permutation takes some fifty steps */
        if (wanted)
            nc_tir_free_output(&x);
        else
            stbds_arrput(t->wanted, x);
    }
    if (status == NC_ERR_MEMORY) t->o->search->no_memory = 1;
    t->spent += 128 * (t->o->search->expanded - t->expanded);
    t->expanded = t->o->search->expanded;
    t->runs++;
    return status;
}

/* -- keeping and undoing -- */

typedef struct nc_tir__kept {
    nc_tir__region *regions;
    uint32_t proofs;
} nc_tir__kept;

static void nc_tir__free_regions(nc_tir__region *regions) {
    size_t i;
    for (i = 0; i < stbds_arrlenu(regions); i++) {
        stbds_arrfree(regions[i].labels);
        stbds_arrfree(regions[i].code);
    }
    stbds_arrfree(regions);
}

static nc_tir__kept nc_tir__keep(const nc_tir__optimizer *o) {
    nc_tir__kept kept;
    size_t i, n;
    kept.regions = NULL;
    kept.proofs = o->report.proofs;
    for (i = 0; i < stbds_arrlenu(o->regions); i++) {
        nc_tir__region r = o->regions[i];
        r.code = NULL;
        r.labels = NULL;
        nc_tir__add_code(&r.code, o->regions[i].code, stbds_arrlenu(o->regions[i].code));
        n = stbds_arrlenu(o->regions[i].labels);
        if (n) memcpy(stbds_arraddnptr(r.labels, n), o->regions[i].labels, n * sizeof *r.labels);
        stbds_arrput(kept.regions, r);
    }
    return kept;
}

/* Every label's region again, after regions have moved. */
static void nc_tir__rehome(nc_tir__optimizer *o) {
    size_t i, k;
    for (i = 0; i < stbds_arrlenu(o->regions); i++)
        for (k = 0; k < stbds_arrlenu(o->regions[i].labels); k++)
            o->home[o->regions[i].labels[k]] = (uint32_t)i;
}

static void nc_tir__insert_region(nc_tir__optimizer *o, size_t at, const nc_tir__region *r) {
    const size_t behind = stbds_arrlenu(o->regions) - at;
    (void)stbds_arraddnptr(o->regions, 1);
    if (behind) memmove(o->regions + at + 1, o->regions + at, behind * sizeof *r);
    o->regions[at] = *r;
    nc_tir__rehome(o);
}

static void nc_tir__undo(nc_tir__optimizer *o, nc_tir__kept *kept) {
    nc_tir__free_regions(o->regions);
    o->regions = kept->regions;
    o->report.proofs = kept->proofs;
    kept->regions = NULL;
    nc_tir__rehome(o);
}

/* A region of this code behind region `at`, under a new name: its label. UINT32_MAX when out of
 * memory. */
static uint32_t nc_tir__add_region(nc_tir__trader *t, size_t at, nc_tir__tasm *code) {
    nc_tir__optimizer *o = t->o;
    const size_t labels = stbds_arrlenu(o->code.labels);
    nc_tir__region r;
    char name[40];
    uint32_t label, *home;
    do { /* a name that the program does not have */
        snprintf(name, sizeof name, "__trade__%lu", (unsigned long)++t->names);
        label = nc_tir__label_of(&o->code, name, strlen(name));
    } while (label != UINT32_MAX && label < labels);
    home = (uint32_t *)nc__calloc(NULL, (labels + 2) * sizeof *home);
    if (label == UINT32_MAX || !home) { /* home has a place for each label and one more */
        nc__free(NULL, home, (labels + 2) * sizeof *home);
        stbds_arrfree(code);
        o->search->no_memory = 1;
        return UINT32_MAX;
    }
    memcpy(home, o->home, labels * sizeof *home);
    nc__free(NULL, o->home, (labels + 1) * sizeof *home);
    o->home = home;
    o->code.labels[label].value = 0; /* it stands somewhere */
    memset(&r, 0, sizeof r);
    r.code = code;
    stbds_arrput(r.labels, label);
    nc_tir__insert_region(o, at + 1, &r);
    return label;
}

/* -- the deals -- */

/* The head that the lowering gives a loop: `dup 0, push 0, eq, skiz, return`, and a `recurse` at
 * the end that is the only one. Its length without the recurse, or -1. */
static int nc_tir__loop_body(const nc_tir__optimizer *o, size_t region) {
    const nc_tir__region *r = &o->regions[region];
    const nc_tir__tasm *c = r->code;
    if (nc_tir__asks_before(o, r) != 1 || c[0].op != NC_TIR__I_DUP || c[0].arg != 0 ||
        c[1].arg != 0)
        return -1;
    return (int)stbds_arrlenu(r->code) - 6;
}

/* While st0 is not 0, the body: tested once before it and then behind it, where two instructions
 * do. A `return` in the body leaves both. */
static int nc_tir__do_loop(nc_tir__trader *t, const nc_tir__deal *d) {
    nc_tir__optimizer *o = t->o;
    const int n = nc_tir__loop_body(o, d->region);
    nc_tir__tasm *code = NULL, head[4];
    uint32_t label;
    if (n < 0) return 0;
    head[0] = nc_tir__make(NC_TIR__I_DUP, 0);
    head[1] = nc_tir__make(NC_TIR__I_SKIZ, 0);
    head[2] = nc_tir__make(NC_TIR__I_RECURSE, 0);
    head[3] = nc_tir__make(NC_TIR__I_RETURN, 0);
    nc_tir__add_code(&code, o->regions[d->region].code + 5, (size_t)n);
    nc_tir__add_code(&code, head, 4);
    label = nc_tir__add_region(t, d->region, code);
    if (label == UINT32_MAX) return 0;
    head[2] = nc_tir__make(NC_TIR__I_CALL, label);
    nc_tir__splice(&o->regions[d->region].code, 0, (size_t)n + 6, head, 4);
    nc_tir__improve_region(o, &o->regions[d->region + 1]);
    return 1;
}

#define NC_TIR__UNROLLED 512 /* instructions that rounds of a loop may become */

/* The bodies of a loop that asks before each round and counts down from a known number: all of
 * them, an stb_ds array, or null. */
static nc_tir__tasm *nc_tir__rounds_before(nc_tir__optimizer *o, const nc_tir__tasm *code,
                                           size_t before, const nc_tir__region *loop) {
    nc_tir__prover *p = &o->search->prover;
    const int n = nc_tir__loop_body(o, (size_t)(loop - o->regions));
    nc_tir__tasm *all = NULL;
    uint64_t count, i;
    int k;
    if (n < 1 || !nc_tir__leaves_constant(o, code, before, 0, &count)) return NULL;
    if (count * (uint64_t)n > NC_TIR__UNROLLED || count > NC_TIR__UNROLLED) return NULL;
    for (k = 0; k < n; k++)
        if (!nc_tir__is_straight(loop->code, 5 + (size_t)k)) return NULL;
    if (nc_tir__interpret(p, loop->code + 5, (size_t)n) != NC_TIR_PROVEN) return NULL;
    if (p->before.stack[p->before.n - 1] !=
        nc_tir__offset(&p->terms, NC_TIR__INPUTS - 1, NC_GL_P - 1))
        return NULL; /* the counter is not on top again, one less */
    for (i = 0; i < count; i++) nc_tir__add_code(&all, loop->code + 5, (size_t)n);
    return all;
}

/* The length of a loop's body, which leaves the answer whether to go on, where the loop asks after
 * each round, `body, skiz, recurse, return`, and its body is straight; 0: it is not so. */
static size_t nc_tir__asks_after(const nc_tir__region *loop) {
    const size_t n = stbds_arrlenu(loop->code);
    const nc_tir__tasm *end = loop->code + n;
    size_t k;
    if (n < 4 || loop->gone || end[-1].op != NC_TIR__I_RETURN || end[-2].op != NC_TIR__I_RECURSE ||
        end[-3].op != NC_TIR__I_SKIZ)
        return 0;
    for (k = 0; k < n - 3; k++)
        if (!nc_tir__is_straight(loop->code, k)) return 0;
    return n - 3;
}

/* The bodies of a loop that asks after each round, as long as the answer is known, behind the code
 * before the call. asked: the call is skipped where the code leaves 0, which is known not to be so
 * and is dropped first. */
static nc_tir__tasm *nc_tir__rounds_after(nc_tir__optimizer *o, const nc_tir__tasm *code,
                                          size_t before, int asked, const nc_tir__region *loop) {
    const size_t n = nc_tir__asks_after(loop);
    const nc_tir__tasm drop = nc_tir__make(NC_TIR__I_POP, 1);
    nc_tir__tasm *all = NULL;
    uint64_t again = 1;
    if (n == 0) return NULL;
    nc_tir__add_code(&all, code, before);
    if (asked) stbds_arrput(all, drop);
    while (again && stbds_arrlenu(all) + n + 3 <= before + NC_TIR__UNROLLED) {
        nc_tir__add_code(&all, loop->code, n);
        if (!nc_tir__leaves_constant(o, all, stbds_arrlenu(all), 0, &again)) break;
        stbds_arrput(all, drop); /* the answer */
    }
    if (!again) {
        nc_tir__splice(&all, 0, before, NULL, 0);
        return all;
    }
    stbds_arrfree(all);
    return NULL;
}

/* Bodies of a loop whose rounds are known where it is called, one after the other. */
static int nc_tir__do_unroll(nc_tir__trader *t, const nc_tir__deal *d) {
    nc_tir__optimizer *o = t->o;
    nc_tir__region *r = &o->regions[d->region];
    const nc_tir__region *loop = nc_tir__callee(o, &r->code[d->at]);
    const int asked = d->at > 0 && r->code[d->at - 1].op == NC_TIR__I_SKIZ;
    const size_t at = d->at - (size_t)asked, start = nc_tir__segment_start(r->code, at);
    const nc_tir__tasm *code = r->code + start;
    nc_tir__tasm *all = NULL;
    uint64_t answer = 1;
    if (!loop || loop == r || r->code[d->at].line == NC_TIR__AFTER_SKIZ) return 0;
    if (asked && (!nc_tir__leaves_constant(o, code, at - start, 0, &answer) || !answer)) return 0;
    if (!asked) all = nc_tir__rounds_before(o, code, at - start, loop);
    if (!all) all = nc_tir__rounds_after(o, code, at - start, asked, loop);
    if (!all) return 0;
    nc_tir__splice(&r->code, at, 1 + (size_t)asked, all, stbds_arrlenu(all));
    stbds_arrfree(all);
    nc_tir__improve_region(o, r);
    return 1;
}

/* A loop that asks after each round and counts: the element `place` below the top when a round
 * begins lies there again when the next one does, `step` more, and the answer is `answer` more than
 * it was. */
typedef struct nc_tir__counted {
    uint32_t place;
    uint64_t step, answer;
} nc_tir__counted;

static int nc_tir__is_counted(nc_tir__optimizer *o, const nc_tir__region *r, nc_tir__counted *c) {
    const size_t n = nc_tir__asks_after(r);
    const nc_tir__meaning *s = &o->search->prover.before;
    nc_tir__terms *t = &o->search->prover.terms;
    uint32_t base;
    if (n == 0 || !nc_tir__is_internal(o, r) || nc_tir__is_entered(o, (size_t)(r - o->regions)))
        return 0;
    if (nc_tir__interpret(&o->search->prover, r->code, n) != NC_TIR_PROVEN) return 0;
    base = nc_tir__base_of(t, s->stack[s->n - 1], &c->answer);
    if (base >= NC_TIR__INPUTS) return 0; /* inputs are the first terms, in order */
    c->place = NC_TIR__INPUTS - 1 - base;
    return c->place + 2 <= s->n &&
           nc_tir__base_of(t, s->stack[s->n - 2 - c->place], &c->step) == base;
}

/* How many rounds the loop takes wherever it is called: their greatest common divisor; 0 when a
 * call does not know. */
static uint64_t nc_tir__common_rounds(nc_tir__optimizer *o, const nc_tir__region *loop,
                                      const nc_tir__counted *c) {
    uint64_t common = 0, first, rounds, rest;
    nc_gl down;
    size_t i, k, start, end;
    if (nc_gl_inv(nc_gl_neg(c->step), &down) != NC_OK) return 0;
    for (i = 0; i < stbds_arrlenu(o->regions); i++) {
        const nc_tir__tasm *code = o->regions[i].code;
        for (k = 0; !o->regions[i].gone && k < stbds_arrlenu(o->regions[i].code); k++) {
            if (nc_tir__callee(o, &code[k]) != loop) continue;
            if (code[k].line == NC_TIR__AFTER_SKIZ) return 0;
            end = k - (size_t)nc_tir__is_conditional(code, k); /* the skiz drops what it asks */
            start = nc_tir__segment_start(code, end);
            if (!nc_tir__leaves_constant(o, code + start, end - start,
                                         c->place + (uint32_t)(k - end), &first))
                return 0;
            /* the answers are first + answer, that and step, .. : the last is 0 */
            rounds = nc_gl_mul(nc_gl_add(first, c->answer), down) + 1;
            while (rounds) {
                rest = common % rounds;
                common = rounds;
                rounds = rest;
            }
        }
    }
    return common;
}

/* So many rounds of the loop may become one of `most` instructions: a number that divides how many
 * it takes wherever it is called, so that only the answer of the last may be 0. 1 where it does not
 * count. */
static size_t nc_tir__rounds_at_once(nc_tir__optimizer *o, const nc_tir__region *r, size_t most) {
    nc_tir__counted c;
    size_t rounds;
    uint64_t common;
    if (!nc_tir__is_counted(o, r, &c)) return 1;
    common = nc_tir__common_rounds(o, r, &c);
    rounds = common ? most / (stbds_arrlenu(r->code) - 3) : 1;
    while (rounds > 1 && common % rounds) rounds--;
    return rounds ? rounds : 1;
}

/* d->extra: the most instructions that a round may have then. */
static int nc_tir__do_rounds(nc_tir__trader *t, const nc_tir__deal *d) {
    nc_tir__region *r = &t->o->regions[d->region];
    const nc_tir__tasm drop = nc_tir__make(NC_TIR__I_POP, 1);
    const size_t rounds = nc_tir__rounds_at_once(t->o, r, d->extra);
    nc_tir__tasm *all = NULL;
    size_t k;
    for (k = 1; k < rounds; k++) {
        nc_tir__add_code(&all, r->code, stbds_arrlenu(r->code) - 3);
        nc_tir__add_code(&all, &drop, 1); /* the answer */
    }
    nc_tir__splice(&r->code, 0, 0, all, stbds_arrlenu(all));
    stbds_arrfree(all);
    if (rounds > 1) nc_tir__improve_region(t->o, r);
    return rounds > 1;
}

/* The body instead of the call. */
static int nc_tir__do_inline(nc_tir__trader *t, const nc_tir__deal *d) {
    nc_tir__optimizer *o = t->o;
    nc_tir__region *r = &o->regions[d->region];
    const nc_tir__region *callee = nc_tir__callee(o, &r->code[d->at]);
    nc_tir__tasm *body = NULL;
    int n;
    if (!callee || callee == r || nc_tir__is_conditional(r->code, d->at)) return 0;
    n = nc_tir__plain_body(callee, 1);
    if (n < 0 || n > 512) return 0;
    nc_tir__add_code(&body, callee->code, (size_t)n);
    nc_tir__splice(&r->code, d->at, 1, body, (size_t)n);
    stbds_arrfree(body);
    nc_tir__improve_region(o, r);
    return 1;
}

/* `call f, return` before f falls into it. f may not jump back to where the call has come to. */
static int nc_tir__do_tail(nc_tir__trader *t, const nc_tir__deal *d) {
    nc_tir__optimizer *o = t->o;
    nc_tir__region moved, *r = &o->regions[d->region];
    const nc_tir__region *f = nc_tir__callee(o, &r->code[d->at]);
    const size_t from = f ? (size_t)(f - o->regions) : 0;
    size_t i, to = d->region + 1;
    if (!f || f == r || nc_tir__is_conditional(r->code, d->at) || !nc_tir__is_closed(f)) return 0;
    if (nc_tir__is_entered(o, from) || f->code[0].line == NC_TIR__AFTER_SKIZ) return 0;
    for (i = 0; i < stbds_arrlenu(f->code); i++)
        if (f->code[i].op == NC_TIR__I_RECURSE || f->code[i].op == NC_TIR__I_RECURSE_OR_RETURN)
            return 0;
    NC_TIR__CUT(r->code, d->at);
    moved = *f;
    stbds_arrdel(o->regions, from);
    if (from < to) to--;
    nc_tir__insert_region(o, to, &moved);
    return 1;
}

/* Rows of the stack table count more than instructions: see nc_tir__search.toll. */
static int nc_tir__do_schedule(nc_tir__trader *t, const nc_tir__deal *d) {
    nc_tir__optimizer *o = t->o;
    nc_tir__search *p = o->search;
    nc_tir__region *r = &o->regions[d->region];
    const nc_tir__tasm *old = r->code + d->at;
    const size_t n = d->extra;
    int better = 0;
    p->toll = NC_TIR__SCORE;
    if (nc_tir__find_shorter(p, old, n, (uint32_t)n + 4, o->beam) &&
        nc_tir__stack_rows(p->found, p->found_count) + p->found_count <
            nc_tir__stack_rows(old, n) + n)
        better = nc_tir__prove(&p->prover, old, n, p->found, p->found_count) == NC_TIR_PROVEN;
    p->toll = 0;
    if (!better) return 0;
    o->report.proofs++;
    nc_tir__splice(&r->code, d->at, n, p->found, p->found_count);
    return 1;
}

/* Replace one instruction by others where the code before it shows that they do the same. */
static int nc_tir__substitute(nc_tir__optimizer *o, nc_tir__region *r, size_t at,
                              const nc_tir__tasm *code, size_t n) {
    const size_t start = nc_tir__segment_start(r->code, at),
                 from = at - start > 48 ? at - 48 : start;
    nc_tir__tasm *after = NULL;
    int equal;
    nc_tir__add_code(&after, r->code + from, at - from);
    nc_tir__add_code(&after, code, n);
    equal = nc_tir__prove(&o->search->prover, r->code + from, at + 1 - from, after,
                          stbds_arrlenu(after)) == NC_TIR_PROVEN;
    stbds_arrfree(after);
    if (!equal) return 0;
    o->report.proofs++;
    nc_tir__splice(&r->code, at, 1, code, n);
    nc_tir__improve_region(o, r);
    return 1;
}

/* Append instructions given as pairs of op and argument. */
static size_t nc_tir__compose(nc_tir__tasm *out, size_t n, const uint64_t (*pairs)[2],
                              size_t count) {
    size_t i;
    for (i = 0; i < count; i++) out[n++] = nc_tir__make((uint32_t)pairs[i][0], pairs[i][1]);
    return n;
}

/* log2 of a power of two, or -1. */
static int nc_tir__power_of_two(uint64_t value) {
    int k = 0;
    if (value == 0 || (value & (value - 1))) return -1;
    while (value >> k != 1) k++;
    return k;
}

/* The upper two values before the instruction at `at` where they are constants, 1 bit each. */
static int nc_tir__constants_before(nc_tir__optimizer *o, const nc_tir__region *r, size_t at,
                                    uint64_t value[2]) {
    const size_t start = nc_tir__segment_start(r->code, at),
                 from = at - start > 48 ? at - 48 : start;
    nc_tir__prover *p = &o->search->prover;
    if (nc_tir__interpret(p, r->code + from, at - from) != NC_TIR_PROVEN) return 0;
    return nc_tir__is_constant(&p->terms, p->before.stack[p->before.n - 1], &value[0]) |
           nc_tir__is_constant(&p->terms, p->before.stack[p->before.n - 2], &value[1]) << 1;
}

/* b^e by squares and products, for [e b]: the base stays below until the end. */
static size_t nc_tir__power(nc_tir__tasm *out, uint64_t e) {
    static const uint64_t drop[2][2] = {{NC_TIR__I_SWAP, 1}, {NC_TIR__I_POP, 1}};
    static const uint64_t square[2][2] = {{NC_TIR__I_DUP, 0}, {NC_TIR__I_MUL, 0}};
    static const uint64_t times[2][2] = {{NC_TIR__I_DUP, 1}, {NC_TIR__I_MUL, 0}};
    size_t n = nc_tir__compose(out, 0, drop, 2);
    int bit = 0;
    while (e >> (bit + 1)) bit++;
    n = nc_tir__compose(out, n, square, 1);
    while (bit-- > 0) {
        n = nc_tir__compose(out, n, square, 2);
        if (e >> bit & 1) n = nc_tir__compose(out, n, times, 2);
    }
    return nc_tir__compose(out, n, drop, 2);
}

/* n mod 2^k as a remainder, for [mask n] or, with the mask on top, [n mask]. */
static size_t nc_tir__remainder(nc_tir__tasm *out, int k, int mask_on_top) {
    const uint64_t code[8][2] = {
        {NC_TIR__I_SWAP, 1}, {NC_TIR__I_POP, 1},     {NC_TIR__I_PUSH, UINT64_C(1) << k},
        {NC_TIR__I_SWAP, 1}, {NC_TIR__I_DIV_MOD, 0}, {NC_TIR__I_SWAP, 1},
        {NC_TIR__I_POP, 1}};
    return nc_tir__compose(out, 0, code + mask_on_top, 7 - (size_t)mask_on_top);
}

/* Division by 2^k as one by 2^j and one of the quotient, for [2^k n]: the first has fewer rows
 * where it is done anyway, the second a smaller numerator. */
static size_t nc_tir__two_divisions(nc_tir__tasm *out, int k, int j) {
    const uint64_t code[18][2] = {
        {NC_TIR__I_SWAP, 1}, {NC_TIR__I_POP, 1},
        {NC_TIR__I_DUP, 0},  {NC_TIR__I_PUSH, UINT64_C(1) << j},
        {NC_TIR__I_SWAP, 1}, {NC_TIR__I_DIV_MOD, 0},
        {NC_TIR__I_POP, 1},  {NC_TIR__I_PUSH, UINT64_C(1) << (k - j)},
        {NC_TIR__I_SWAP, 1}, {NC_TIR__I_DIV_MOD, 0},
        {NC_TIR__I_POP, 1}, /* n, its quotient */
        {NC_TIR__I_DUP, 0},  {NC_TIR__I_PUSH, NC_GL_P - (UINT64_C(1) << k)},
        {NC_TIR__I_MUL, 0},  {NC_TIR__I_PICK, 2},
        {NC_TIR__I_ADD, 0}};
    return nc_tir__compose(out, 0, code, 16);
}

/* Bit operations by arithmetic, or so that they share entries of the u32 table. d->extra: 0 the
 * operands in the other order, 1 a power, mask or division by what is cheaper; 1 + j: a division by
 * 2^j first. */
static int nc_tir__do_u32(nc_tir__trader *t, const nc_tir__deal *d) {
    nc_tir__optimizer *o = t->o;
    nc_tir__region *r = &o->regions[d->region];
    const nc_tir__tasm old = r->code[d->at];
    nc_tir__tasm code[32];
    uint64_t value[2] = {0, 0};
    const int known = nc_tir__constants_before(o, r, d->at, value);
    size_t n = 0;
    int k;
    if (d->extra == 0) {
        code[n++] = nc_tir__make(NC_TIR__I_SWAP, 1);
        code[n++] = old;
    } else if (old.op == NC_TIR__I_POW && (known & 2) && value[1] >= 2 && value[1] <= 8) {
        n = nc_tir__power(code, value[1]);
    } else if (old.op == NC_TIR__I_AND && known) {
        k = nc_tir__power_of_two(value[known & 1 ? 0 : 1] + 1);
        if (k < 1 || k > 31) return 0;
        n = nc_tir__remainder(code, k, known & 1);
    } else if (old.op == NC_TIR__I_DIV_MOD && (known & 2)) {
        k = nc_tir__power_of_two(value[1]);
        if (k <= (int)d->extra - 1 || k > 31 || d->extra < 2) return 0;
        n = nc_tir__two_divisions(code, k, (int)d->extra - 1);
    }
    return n && nc_tir__substitute(o, r, d->at, code, n);
}

/* The address of ten elements in RAM that lie on top in the order in which they stand there, first
 * on top: as a stack place that is `away` from it, or a constant (*place = 16). 0: they do not. */
static int nc_tir__address_on_top(nc_tir__optimizer *o, uint32_t *place, uint64_t *away) {
    nc_tir__terms *t = &o->search->prover.terms;
    const nc_tir__meaning *s = &o->search->prover.before;
    const uint32_t *top = &s->stack[s->n - 1];
    const nc_tir__term *x = &t->list[*top];
    uint64_t offset;
    uint32_t address, base, i = 0;
    while (x->kind != NC_TIR__T_OP || t->words[x->first] != NC_TIR__I_READ_MEM) {
        if (++i == 10) return 0; /* some may be known without reading */
        x = &t->list[*(top - i)];
    }
    address = nc_tir__offset(t, (uint32_t)t->words[x->first + 3], nc_gl_neg(i));
    for (i = 0; i < 10; i++)
        if (nc_tir__ram_read(t, s->channel[NC_TIR__CHANNEL_RAM], nc_tir__offset(t, address, i)) !=
            *(top - i))
            return 0;
    *place = 16;
    if (nc_tir__is_constant(t, address, away)) return 1;
    base = nc_tir__base_of(t, address, away);
    for (i = 10; i < 16; i++)
        if (nc_tir__base_of(t, *(top - i), &offset) == base) break;
    *place = i;
    *away = nc_gl_sub(*away, offset);
    return i < 16;
}

/* sponge_absorb of what was read from RAM as sponge_absorb_mem. */
static int nc_tir__do_sponge(nc_tir__trader *t, const nc_tir__deal *d) {
    nc_tir__optimizer *o = t->o;
    nc_tir__region *r = &o->regions[d->region];
    const size_t start = nc_tir__segment_start(r->code, d->at);
    const size_t from = d->at - start > 48 ? d->at - 48 : start;
    nc_tir__tasm code[16];
    uint64_t away;
    uint32_t place;
    size_t n = 0, i;
    if (nc_tir__interpret(&o->search->prover, r->code + from, d->at - from) != NC_TIR_PROVEN ||
        !nc_tir__address_on_top(o, &place, &away))
        return 0;
    if (place == 16) {
        code[n++] = nc_tir__make(NC_TIR__I_PUSH, away);
    } else {
        code[n++] = nc_tir__make(NC_TIR__I_DUP, place);
        code[n++] = nc_tir__make(NC_TIR__I_ADDI, away);
    }
    code[n++] = nc_tir__make(NC_TIR__I_PLACE, 10);
    for (i = 0; i < 2; i++) code[n++] = nc_tir__make(NC_TIR__I_POP, 5);
    for (i = 0; i < 4; i++) code[n++] = nc_tir__make(NC_TIR__I_PUSH, 0);
    code[n++] = nc_tir__make(NC_TIR__I_PICK, 4);
    code[n++] = nc_tir__make(NC_TIR__I_SPONGE_ABSORB_MEM, 0);
    code[n++] = nc_tir__make(NC_TIR__I_POP, 5);
    return nc_tir__substitute(o, r, d->at, code, n);
}

/* -- code that stands several times -- */

/* Where a piece of code starts, and its hash. */
typedef struct nc_tir__piece {
    uint64_t hash;
    uint32_t region, at;
} nc_tir__piece;

static int nc_tir__by_hash(const void *a, const void *b) {
    const nc_tir__piece *x = (const nc_tir__piece *)a, *y = (const nc_tir__piece *)b;
    if (x->hash != y->hash) return x->hash < y->hash ? -1 : 1;
    if (x->region != y->region) return x->region < y->region ? -1 : 1;
    return x->at < y->at ? -1 : x->at > y->at;
}

static uint64_t nc_tir__words(const nc_tir__tasm *code, size_t n) {
    uint64_t words = n;
    size_t i;
    for (i = 0; i < n; i++) words += nc_tir__table[code[i].op].arg != NC_TIR__ARG_NONE;
    return words;
}

/* Instructions that a function of its own may have: nothing skips them, and no jump but calls. */
static int nc_tir__may_move(const nc_tir__tasm *code, size_t i) {
    return nc_tir__is_straight(code, i) ||
           (code[i].op == NC_TIR__I_CALL && !nc_tir__is_conditional(code, i));
}

static int nc_tir__same_code(const nc_tir__tasm *a, const nc_tir__tasm *b, size_t n) {
    size_t i;
    for (i = 0; i < n; i++)
        if (a[i].op != b[i].op || a[i].arg != b[i].arg) return 0;
    return 1;
}

/* All pieces of n instructions, equal ones together. */
static nc_tir__piece *nc_tir__pieces(const nc_tir__optimizer *o, size_t n) {
    nc_tir__piece *list = NULL, piece;
    size_t i, k, m, run;
    for (i = 0; i < stbds_arrlenu(o->regions); i++) {
        const nc_tir__tasm *code = o->regions[i].code;
        for (k = run = 0; !o->regions[i].gone && k < stbds_arrlenu(o->regions[i].code); k++) {
            run = nc_tir__may_move(code, k) ? run + 1 : 0;
            if (run < n) continue;
            piece.hash = n;
            for (m = k + 1 - n; m <= k; m++)
                piece.hash = nc_tir__mix(nc_tir__mix(piece.hash, code[m].op), code[m].arg);
            piece.region = (uint32_t)i;
            piece.at = (uint32_t)(k + 1 - n);
            stbds_arrput(list, piece);
        }
    }
    if (list) qsort(list, stbds_arrlenu(list), sizeof *list, nc_tir__by_hash);
    return list;
}

/* The equal pieces from `first` on that do not overlap, at most 64 of them, in *at; where the next
 * piece starts. */
static size_t nc_tir__equal_pieces(const nc_tir__optimizer *o, nc_tir__piece *list, size_t first,
                                   size_t n, const nc_tir__piece **at, uint32_t *count) {
    const nc_tir__tasm *code = o->regions[list[first].region].code + list[first].at;
    size_t i;
    *count = 0;
    for (i = first; i < stbds_arrlenu(list) && list[i].hash == list[first].hash; i++) {
        const nc_tir__piece *last = *count ? at[*count - 1] : NULL;
        if (last && last->region == list[i].region && list[i].at < last->at + n) continue;
        if (*count == 64) continue;
        if (!nc_tir__same_code(o->regions[list[i].region].code + list[i].at, code, n)) continue;
        at[(*count)++] = &list[i];
    }
    return i;
}

/* All copies of the piece at a place become calls of one. */
static int nc_tir__do_outline(nc_tir__trader *t, const nc_tir__deal *d) {
    nc_tir__optimizer *o = t->o;
    const nc_tir__piece *at[64];
    nc_tir__piece *list = nc_tir__pieces(o, d->extra);
    nc_tir__tasm *body = NULL, one = nc_tir__make(NC_TIR__I_RETURN, 0);
    uint32_t count = 0, label = UINT32_MAX, i;
    size_t k, next, home = 0;
    int found = 0;
    for (k = 0; k < stbds_arrlenu(list) && !found; k = next) {
        next = nc_tir__equal_pieces(o, list, k, d->extra, at, &count);
        for (i = 0; i < count; i++) found |= at[i]->region == d->region && at[i]->at == d->at;
    }
    while (home < stbds_arrlenu(o->regions) &&
           (o->regions[home].gone || !nc_tir__is_closed(&o->regions[home])))
        home++;
    found = found && count > 1 && home < stbds_arrlenu(o->regions);
    if (found) {
        nc_tir__add_code(&body, o->regions[d->region].code + d->at, d->extra);
        nc_tir__add_code(&body, &one, 1);
        label = nc_tir__add_region(t, home, body);
    }
    if (label != UINT32_MAX) {
        one = nc_tir__make(NC_TIR__I_CALL, label);
        for (i = count; i-- > 0;) /* later ones first: the places before them stay */
            nc_tir__splice(&o->regions[at[i]->region + (at[i]->region > home)].code, at[i]->at,
                           d->extra, &one, 1);
    }
    stbds_arrfree(list);
    return label != UINT32_MAX;
}

/* -- the market: which deals there are, and which pay -- */

static uint64_t nc_tir__visits_at(const nc_tir__trader *t, size_t region, size_t at) {
    return t->visits[t->first[region] + at];
}

static void nc_tir__offer_deal(nc_tir__trader *t, uint32_t trade, size_t region, size_t at,
                               uint32_t extra, uint64_t gain) {
    nc_tir__deal d;
    d.gain = gain;
    d.trade = trade;
    d.region = (uint32_t)region;
    d.at = (uint32_t)at;
    d.extra = extra;
    if (gain) stbds_arrput(t->deals, d);
}

/* Whether a table has rows to lose: it is above the target, or everything counts. */
static int nc_tir__wants(const nc_tir__trader *t, int table) {
    size_t i;
    for (i = 0; i < stbds_arrlenu(t->best); i += NC_TIR__TABLES)
        if (t->best[i + (size_t)table] > t->target) return 1;
    return t->harmless;
}

/* Deals on u32 operations. */
static void nc_tir__offer_u32(nc_tir__trader *t, size_t region, size_t at) {
    nc_tir__region *r = &t->o->regions[region];
    const uint32_t op = r->code[at].op;
    const uint64_t gain = 33 * nc_tir__visits_at(t, region, at);
    size_t i = nc_tir__segment_start(r->code, at);
    uint64_t seen = 0, value[2];
    int k;
    if (op == NC_TIR__I_AND || op == NC_TIR__I_XOR)
        nc_tir__offer_deal(t, NC_TIR_TRADE_U32, region, at, 0, gain);
    if (op == NC_TIR__I_AND || op == NC_TIR__I_POW)
        nc_tir__offer_deal(t, NC_TIR_TRADE_U32, region, at, 1, gain);
    if (op != NC_TIR__I_DIV_MOD) return;
    for (; i < stbds_arrlenu(r->code) && nc_tir__is_straight(r->code, i); i++) {
        if (i == at || r->code[i].op != NC_TIR__I_DIV_MOD) continue;
        if (!(nc_tir__constants_before(t->o, r, i, value) & 2)) continue;
        k = nc_tir__power_of_two(value[1]);
        if (k < 1 || k > 31 || seen >> k & 1) continue;
        seen |= UINT64_C(1) << k;
        nc_tir__offer_deal(t, NC_TIR_TRADE_U32, region, at, 1 + (uint32_t)k, gain);
    }
}

/* Deals at one instruction. */
static void nc_tir__offer_at(nc_tir__trader *t, size_t region, size_t at, int rows) {
    const nc_tir__optimizer *o = t->o;
    nc_tir__region *r = &t->o->regions[region];
    const uint64_t visits = nc_tir__visits_at(t, region, at);
    const int last = at + 1 == stbds_arrlenu(r->code);
    size_t most;
    switch (r->code[at].op) {
    case NC_TIR__I_CALL:
        if (rows) nc_tir__offer_deal(t, NC_TIR_TRADE_INLINE, region, at, 0, 2 * visits);
        if (rows) nc_tir__offer_deal(t, NC_TIR_TRADE_UNROLL, region, at, 0, 8 * visits);
        if (o->options->whole && !last && at + 2 == stbds_arrlenu(r->code) &&
            r->code[at + 1].op == NC_TIR__I_RETURN)
            nc_tir__offer_deal(t, NC_TIR_TRADE_TAIL, region, at, 0, 2 * visits + 24);
        break;
    case NC_TIR__I_RECURSE:
        if (rows && o->options->whole && last && nc_tir__loop_body(o, region) >= 0)
            nc_tir__offer_deal(t, NC_TIR_TRADE_LOOP, region, at, 0, 2 * visits);
        if (!rows || at < 2 || r->code[at - 1].op != NC_TIR__I_SKIZ) break;
        for (most = NC_TIR__UNROLLED; most / at > 1; most /= 4)
            nc_tir__offer_deal(t, NC_TIR_TRADE_UNROLL, region, at, (uint32_t)most,
                               4 * visits - 4 * visits * at / most);
        break;
    case NC_TIR__I_SPONGE_ABSORB:
        if (rows) nc_tir__offer_deal(t, NC_TIR_TRADE_SPONGE, region, at, 0, 20 * visits);
        break;
    default:
        if (nc_tir__wants(t, NC_TIR__M_U32) && nc_tir__costs_u32(r->code[at].op))
            nc_tir__offer_u32(t, region, at);
        break;
    }
}

/* Straight-line code, in blocks, for another schedule. */
static void nc_tir__offer_schedules(nc_tir__trader *t, size_t region) {
    nc_tir__region *r = &t->o->regions[region];
    size_t i = 0, end, cut;
    while (i < stbds_arrlenu(r->code)) {
        for (end = i; end < stbds_arrlenu(r->code) && nc_tir__is_straight(r->code, end);) end++;
        for (; i < end; i = cut) {
            cut = nc_tir__block_end(r->code, end, i, t->o->block);
            nc_tir__offer_deal(t, NC_TIR_TRADE_SCHEDULE, region, i, (uint32_t)(cut - i),
                               nc_tir__stack_rows(r->code + i, cut - i) *
                                   nc_tir__visits_at(t, region, i));
        }
        i = end + 1;
    }
}

/* For every length the pieces whose copies have the most words to save. */
static void nc_tir__offer_outlines(nc_tir__trader *t) {
    enum { BEST = 4 };
    const nc_tir__optimizer *o = t->o;
    const nc_tir__piece *at[64];
    size_t n, k, next, i;
    uint32_t count;
    for (n = 2; n <= 32; n += n < 12 ? 1 : 4) {
        nc_tir__piece *list = nc_tir__pieces(o, n);
        uint64_t most[BEST + 1] = {0};
        size_t best[BEST + 1] = {0};
        for (k = 0; k < stbds_arrlenu(list); k = next) {
            uint64_t words, pay;
            next = nc_tir__equal_pieces(o, list, k, n, at, &count);
            if (count < 2) continue;
            words = nc_tir__words(o->regions[list[k].region].code + list[k].at, n);
            pay = 2 * (uint64_t)count + words + 1; /* the calls, the body, its return */
            if (words * count <= pay) continue;
            for (i = BEST; i > 0 && most[i - 1] < words * count - pay; i--) {
                most[i] = most[i - 1];
                best[i] = best[i - 1];
            }
            most[i] = words * count - pay;
            best[i] = k;
        }
        for (i = 0; i < BEST; i++)
            if (most[i])
                nc_tir__offer_deal(t, NC_TIR_TRADE_OUTLINE, list[best[i]].region, list[best[i]].at,
                                   (uint32_t)n, 8 * most[i]);
        stbds_arrfree(list);
    }
}

static int nc_tir__by_gain(const void *a, const void *b) {
    const nc_tir__deal *x = (const nc_tir__deal *)a, *y = (const nc_tir__deal *)b;
    if (x->gain != y->gain) return x->gain > y->gain ? -1 : 1;
    if (x->trade != y->trade) return x->trade < y->trade ? -1 : 1;
    if (x->region != y->region) return x->region < y->region ? -1 : 1;
    if (x->at != y->at) return x->at < y->at ? -1 : 1;
    return x->extra < y->extra ? -1 : x->extra > y->extra;
}

/* All deals of the program as it stands, those that may save the most rows first. */
static void nc_tir__list_deals(nc_tir__trader *t) {
    const nc_tir__optimizer *o = t->o;
    const int words = nc_tir__wants(t, NC_TIR__M_PROGRAM) || nc_tir__wants(t, NC_TIR__M_CASCADE) ||
                      nc_tir__wants(t, NC_TIR__M_HASH);
    const int rows = nc_tir__wants(t, NC_TIR__M_PROCESSOR) ||
                     nc_tir__wants(t, NC_TIR__M_OP_STACK) || nc_tir__wants(t, NC_TIR__M_RAM) ||
                     nc_tir__wants(t, NC_TIR__M_HASH) || nc_tir__wants(t, NC_TIR__M_U32) ||
                     nc_tir__wants(t, NC_TIR__M_JUMP_STACK);
    size_t i, k;
    NC__EMPTY(t->deals);
    for (i = 0; i < stbds_arrlenu(o->regions); i++) {
        if (o->regions[i].gone) continue;
        for (k = 0; k < stbds_arrlenu(o->regions[i].code); k++) nc_tir__offer_at(t, i, k, rows);
        if (nc_tir__wants(t, NC_TIR__M_OP_STACK)) nc_tir__offer_schedules(t, i);
    }
    if (words && o->options->whole) nc_tir__offer_outlines(t);
    if (t->deals) qsort(t->deals, stbds_arrlenu(t->deals), sizeof *t->deals, nc_tir__by_gain);
}

static int nc_tir__do_deal(nc_tir__trader *t, const nc_tir__deal *d) {
    switch (d->trade) {
    case NC_TIR_TRADE_INLINE: return nc_tir__do_inline(t, d);
    case NC_TIR_TRADE_OUTLINE: return nc_tir__do_outline(t, d);
    case NC_TIR_TRADE_LOOP: return nc_tir__do_loop(t, d);
    case NC_TIR_TRADE_UNROLL:
        return t->o->regions[d->region].code[d->at].op == NC_TIR__I_CALL ? nc_tir__do_unroll(t, d)
                                                                         : nc_tir__do_rounds(t, d);
    case NC_TIR_TRADE_TAIL: return nc_tir__do_tail(t, d);
    case NC_TIR_TRADE_SCHEDULE: return nc_tir__do_schedule(t, d);
    case NC_TIR_TRADE_U32: return nc_tir__do_u32(t, d);
    default: return nc_tir__do_sponge(t, d);
    }
}

/* Whether no table of any sample has grown. As many permutations look up now a few limbs more, now
 * fewer: that is chance, and allowed where the cascade table is not the tallest. */
static int nc_tir__is_harmless(const nc_tir__trader *t) {
    const uint64_t *now = t->rows, *before = t->best;
    size_t i, k;
    for (i = 0; i < t->o->options->sample_count; i++) {
        for (k = 0; k < NC_TIR__TABLES; k++) {
            const int chance =
                k == NC_TIR__M_CASCADE && now[k] < now[nc_tir__largest(now, NC_TIR__TABLES)];
            if (now[k] > before[k] && !chance) return 0;
        }
        now += NC_TIR__TABLES;
        before += NC_TIR__TABLES;
    }
    return 1;
}

/* A deal by what it is done on: the same one again need not be tried again. */
static nc_tir__cell *nc_tir__deal_cell(nc_tir__trader *t, const nc_tir__deal *d, int *fresh) {
    const nc_tir__region *r = &t->o->regions[d->region];
    uint64_t hash = 0;
    size_t i;
    for (i = 0; i < stbds_arrlenu(r->code); i++)
        hash = nc_tir__mix(nc_tir__mix(hash, r->code[i].op), r->code[i].arg);
    return nc_tir__map_at(&t->tried, hash, (uint64_t)d->trade << 32 | d->extra, d->at, fresh);
}

/* Do a deal, run the samples, keep it when it pays. */
static int nc_tir__try_deal(nc_tir__trader *t, const nc_tir__deal *d) {
    nc_tir__optimizer *o = t->o;
    nc_tir__kept kept;
    nc_tir__cost cost;
    size_t worst;
    int fresh, pays = 0;
    if (!nc_tir__deal_cell(t, d, &fresh)) return nc_tir__starve(o->search);
    if (!fresh) return 0;
    if (o->options->progress && o->options->progress(o->options->progress_user, t->spent, t->limit))
        o->cancelled = 1;
    t->spent += 16 * stbds_arrlenu(t->view.list); /* to copy, divide and print it */
    kept = nc_tir__keep(o);
    if (nc_tir__do_deal(t, d) && !nc_tir__is_stopped(o)) {
        (void)nc_tir__sweep(o);
        if (nc_tir__run_samples(t) == NC_OK && !nc_tir__is_stopped(o)) {
            cost = nc_tir__cost_of_runs(t->rows, t->o->options->sample_count, &worst);
            pays = nc_tir__costs_less(&cost, &t->cost) && (!t->harmless || nc_tir__is_harmless(t));
        }
    }
    if (pays) {
        t->cost = cost;
        memcpy(t->best, t->rows, stbds_arrlenu(t->best) * sizeof *t->best);
        t->trades[d->trade]++;
        nc_tir__free_regions(kept.regions);
        return 1;
    }
    nc_tir__undo(o, &kept);
    return 0;
}

static int nc_tir__is_spent(const nc_tir__trader *t) {
    return nc_tir__is_stopped(t->o) || t->spent > t->limit;
}

/* Deal until nothing pays any more, or all tables are below the target. */
static void nc_tir__deal_all(nc_tir__trader *t) {
    int any = 1;
    size_t i;
    while (any && !nc_tir__is_spent(t)) {
        any = 0;
        nc_tir__map_free(&t->tried);
        memset(&t->tried, 0, sizeof t->tried);
        (void)nc_tir__run_samples(t); /* visits of the program as it stands */
        nc_tir__list_deals(t);
        for (i = 0; i < stbds_arrlenu(t->deals) && !nc_tir__is_spent(t); i++) {
            const nc_tir__deal d = t->deals[i];
            if (!nc_tir__try_deal(t, &d)) continue;
            if (!t->harmless && t->cost.padded <= t->target) return;
            any = 1;
            nc_tir__list_deals(t); /* t->visits are those of the deal that was kept */
            i = (size_t)-1;
        }
    }
}

/* Rows that no order of a block's operations can avoid, times its visits, added to `bound`. */
static void nc_tir__bound_block(nc_tir__optimizer *o, const nc_tir__tasm *code, size_t n,
                                uint64_t visits, uint64_t bound[NC_TIR__TABLES]) {
    nc_tir__search *p = o->search;
    nc_tir__uses uses;
    nc_tir__state start;
    double rows;
    uint32_t i;
    if (nc_tir__interpret(&p->prover, code, n) != NC_TIR_PROVEN || !nc_tir__set_problem(p, &start))
        return;
    nc_tir__count_uses(p, &start, &uses);
    rows = uses.open / (double)NC_TIR__SCORE + uses.copies + uses.dead / 5.0;
    bound[NC_TIR__M_PROCESSOR] += (uint64_t)((double)visits * rows);
    for (i = 0; i < p->unit_count; i++) {
        const nc_tir__tasm *u = &p->units[i].instruction;
        const nc_tir__instruction *table = &nc_tir__table[u->op];
        const uint32_t one = (uint32_t)nc_tir__counts(table);
        uint64_t rest[NC_TIR__HEIGHTS] = {0};
        const nc_tir__tasm single = nc_tir__make(u->op, one);
        nc_tir__add_rows(rest, one ? &single : u);
        bound[NC_TIR__M_OP_STACK] += visits * nc_tir__stack_rows(one ? &single : u, 1);
        bound[NC_TIR__M_RAM] += visits * rest[NC_TIR__H_RAM];
        if (u->op != NC_TIR__I_SPONGE_INIT) bound[NC_TIR__M_HASH] += visits * rest[NC_TIR__H_HASH];
    }
}

/* The bound of the tables in the worst sample's run. */
static void nc_tir__bounds(nc_tir__trader *t, uint64_t bound[NC_TIR__TABLES]) {
    nc_tir__optimizer *o = t->o;
    size_t worst, i, end, cut, r;
    nc_tir_execution x;
    memset(bound, 0, NC_TIR__TABLES * sizeof *bound);
    memset(&x, 0, sizeof x);
    (void)nc_tir__cost_of_runs(t->best, o->options->sample_count, &worst);
    nc_tir__lay_out(t);
    NC__EMPTY(t->one);
    if (t->view.list) (void)stbds_arraddnptr(t->one, stbds_arrlenu(t->view.list));
    for (i = 0; i < stbds_arrlenu(t->one); i++) t->one[i] = 0;
    if (nc_tir__execute_code(&t->view, &o->options->samples[worst], t->one, &x) != NC_OK) {
        o->search->no_memory = 1;
        return;
    }
    nc_tir_free_output(&x);
    t->runs++;
    for (r = 0; r < stbds_arrlenu(o->regions); r++) {
        const nc_tir__tasm *code = o->regions[r].code;
        const uint64_t *visits = t->one + t->first[r];
        const size_t n = o->regions[r].gone ? 0 : stbds_arrlenu(o->regions[r].code);
        /* rounds that may become one may then take no more than one does */
        const uint64_t rounds = n ? nc_tir__rounds_at_once(o, &o->regions[r], NC_TIR__UNROLLED) : 1;
        for (i = 0; i < n; i = end + 1) {
            for (end = i; end < n && nc_tir__is_straight(code, end);) end++;
            for (; i < end; i = cut) {
                cut = nc_tir__block_end(code, end, i, o->block);
                if (visits[i]) nc_tir__bound_block(o, code + i, cut - i, visits[i] / rounds, bound);
            }
            if (end < n && code[end].op == NC_TIR__I_SKIZ)
                bound[NC_TIR__M_PROCESSOR] += visits[end] / rounds;
        }
    }
    bound[NC_TIR__M_PROCESSOR]++; /* halt */
    if (o->options->aim != NC_TIR_AIM_MACHINE) return;
    bound[NC_TIR__M_JUMP_STACK] = bound[NC_TIR__M_PROCESSOR];
    bound[NC_TIR__M_LOOKUP] = 256;
    bound[NC_TIR__M_HASH] += 6; /* of a program of nine words or less */
    bound[NC_TIR__M_PROGRAM] = 10;
}

/* Trade until the program is below one cliff, then below the next; what did not lead below one is
 * undone. Then what no table pays for. */
static nc_tir_stop nc_tir__cross_cliffs(nc_tir__trader *t) {
    nc_tir_stop stop = NC_TIR_STOP_NONE;
    uint64_t bound[NC_TIR__TABLES], *best = NULL;
    while (!stop) {
        const nc_tir__cost cost = t->cost;
        nc_tir__kept kept;
        uint32_t trades[NC_TIR_TRADE_COUNT];
        t->target = cost.padded / 2;
        nc_tir__bounds(t, bound);
        if (bound[nc_tir__largest(bound, NC_TIR__TABLES)] > t->target) {
            stop = NC_TIR_STOP_BOUND;
            break;
        }
        kept = nc_tir__keep(t->o);
        memcpy(trades, t->trades, sizeof trades);
        NC__EMPTY(best);
        memcpy(stbds_arraddnptr(best, stbds_arrlenu(t->best)), t->best,
               stbds_arrlenu(t->best) * sizeof *best);
        nc_tir__deal_all(t);
        if (t->cost.padded <= t->target) {
            nc_tir__free_regions(kept.regions);
            continue;
        }
        stop = nc_tir__is_spent(t) ? NC_TIR_STOP_EFFORT : NC_TIR_STOP_CANDIDATES;
        nc_tir__undo(t->o, &kept);
        t->cost = cost;
        memcpy(t->trades, trades, sizeof trades);
        memcpy(t->best, best, stbds_arrlenu(best) * sizeof *best);
    }
    stbds_arrfree(best);
    if (t->spent > t->limit / 2) t->limit = t->spent + t->limit / 2;
    t->harmless = 1;
    nc_tir__deal_all(t);
    return stop;
}

/* Measure the code as it was given: what its samples must give, and its rows. */
static nc_status nc_tir__trade_begin(nc_tir__trader *t, nc_tir__optimizer *o) {
    const nc_tir_options *options = o->options;
    const size_t n = options->sample_count * NC_TIR__TABLES;
    size_t worst;
    nc_status status;
    memset(t, 0, sizeof *t);
    t->o = o;
    t->limit = (uint64_t)(options->effort ? options->effort : 64) << 20;
    (void)stbds_arraddnptr(t->rows, n);
    (void)stbds_arraddnptr(t->best, n);
    status = nc_tir__run_samples(t);
    if (status != NC_OK) return status;
    t->cost = nc_tir__cost_of_runs(t->rows, options->sample_count, &worst);
    memcpy(t->best, t->rows, n * sizeof *t->best);
    memcpy(&o->report.cliff.before, t->rows + worst * NC_TIR__TABLES, sizeof(nc_tir_tables));
    return NC_OK;
}

/* Trade with the code that has the fewest instructions, or with `given` where that is cheaper. */
static nc_status nc_tir__trade(nc_tir__trader *t, nc_tir__kept *given) {
    nc_tir__optimizer *o = t->o;
    nc_tir_cliff *cliff = &o->report.cliff;
    const size_t count = o->options->sample_count;
    const uint64_t padded = t->cost.padded;
    uint64_t bound[NC_TIR__TABLES];
    nc_tir__cost cost;
    size_t worst;
    const nc_status status = nc_tir__run_samples(t);
    if (status != NC_OK) return status;
    cost = nc_tir__cost_of_runs(t->rows, count, &worst);
    memcpy(&cliff->fewest, t->rows + worst * NC_TIR__TABLES, sizeof cliff->fewest);
    if (nc_tir__costs_less(&t->cost, &cost)) {
        nc_tir__undo(o, given);
    } else {
        t->cost = cost;
        memcpy(t->best, t->rows, stbds_arrlenu(t->best) * sizeof *t->best);
    }
    cliff->stop = nc_tir__cross_cliffs(t);
    if (t->cost.padded < padded) cliff->stop = NC_TIR_STOP_BELOW;
    (void)nc_tir__cost_of_runs(t->best, count, &worst);
    memcpy(&cliff->after, t->best + worst * NC_TIR__TABLES, sizeof cliff->after);
    nc_tir__bounds(t, bound);
    memcpy(&cliff->bound, bound, sizeof cliff->bound);
    memcpy(cliff->trades, t->trades, sizeof cliff->trades);
    cliff->runs = t->runs;
    return NC_OK;
}

static void nc_tir__trade_end(nc_tir__trader *t, nc_tir__kept *given) {
    size_t i;
    for (i = 0; i < stbds_arrlenu(t->wanted); i++) nc_tir_free_output(&t->wanted[i]);
    stbds_arrfree(t->view.list);
    stbds_arrfree(t->view.labels);
    stbds_arrfree(t->first);
    stbds_arrfree(t->visits);
    stbds_arrfree(t->one);
    stbds_arrfree(t->wanted);
    stbds_arrfree(t->rows);
    stbds_arrfree(t->best);
    stbds_arrfree(t->deals);
    nc_tir__map_free(&t->tried);
    nc_tir__free_regions(given->regions);
}

/* -- whole programs -- */

static void nc_tir__optimizer_free(nc_tir__optimizer *o) {
    nc_tir__free_regions(o->regions);
    nc__free(NULL, o->home, (stbds_arrlenu(o->code.labels) + 1) * sizeof *o->home);
    stbds_arrfree(o->answers);
    nc_tir__map_free(&o->memory);
    nc_tir__code_free(&o->code);
    nc_tir__search_free(o->search);
}

/* The fewest instructions, then with samples the fewest rows. */
static nc_status nc_tir__optimize_regions(nc_tir__optimizer *o) {
    const int trades = o->options->sample_count > 0;
    nc_tir__kept given = {NULL, 0};
    nc_tir__trader trader;
    nc_status status = NC_OK;
    size_t i;
    if (trades) {
        given = nc_tir__keep(o);
        status = nc_tir__trade_begin(&trader, o);
    }
    for (i = 0; status == NC_OK && i < stbds_arrlenu(o->regions); i++)
        nc_tir__improve_region(o, &o->regions[i]);
    o->restructuring = 1;
    if (status == NC_OK) nc_tir__restructure(o);
    if (!trades) {
        if (status == NC_OK) nc_tir__call_copies(o);
        return status;
    }
    if (status == NC_OK && !nc_tir__is_stopped(o)) status = nc_tir__trade(&trader, &given);
    nc_tir__trade_end(&trader, &given);
    return status;
}

/* Optimise o->code and print it. */
static nc_status nc_tir__optimize_code(nc_tir__optimizer *o, char **optimized) {
    uint64_t rows[NC_TIR__HEIGHTS];
    nc_status status;
    nc__buffer text;
    o->total = stbds_arrlenu(o->code.list);
    o->report.instructions_before = (uint32_t)o->total;
    nc_tir__sum_rows(o->limit, o->code.list, stbds_arrlenu(o->code.list));
    memcpy(&o->report.before, o->limit, sizeof o->report.before);
    o->search = nc_tir__search_new(o->options->model,
                                   o->options->guide ? o->options->guide : (uint32_t)NC_TIR__GUIDE);
    status = o->search ? nc_tir__divide(o) : NC_ERR_MEMORY;
    if (status == NC_OK) status = nc_tir__optimize_regions(o);
    if (status == NC_OK && o->search->no_memory) status = NC_ERR_MEMORY;
    if (status != NC_OK) return status;
    if (o->cancelled) return NC_ERR_CANCELLED;
    status = nc_tir__count_marks(o);
    if (status != NC_OK) return status;
    o->report.instructions_after = nc_tir__measure(o, rows);
    memcpy(&o->report.after, rows, sizeof o->report.after);
    o->report.expanded = o->search->expanded;
    memset(&text, 0, sizeof text);
    nc_tir__print_regions(o, &text);
    return nc_tir__deliver(&text, optimized);
}

NC_API nc_status nc_tir_optimize(const nc_tir_program *program, const nc_tir_options *options,
                                 char **tasm, nc_tir_report *report, nc_error *err) {
    char *classical;
    nc_status status;
    nc__clear(err);
    if (!tasm) return nc__fail(err, NC_ERR_ARG, 0, 0, "no result pointer");
    *tasm = NULL;
    status = nc_tir_lower(program, options ? options->target : NC_TIR_TARGET_TRIDENT, &classical);
    if (status != NC_OK) return nc__fail(err, status, 0, 0, "%s", nc_status_str(status));
    status = nc_tir_optimize_tasm(classical, options, tasm, report, err);
    nc_tir_free_text(classical);
    if (status == NC_ERR_FORMAT && err) {
        const nc_error at = *err;
        return nc__fail(err, status, (size_t)at.line, (size_t)at.column,
                        "lowered code is not TASM, asm or a name: %.100s", at.message);
    }
    return status;
}

NC_API nc_status nc_tir_optimize_tasm(const char *tasm, const nc_tir_options *options,
                                      char **optimized, nc_tir_report *report, nc_error *err) {
    nc_tir_options defaults;
    nc_tir__optimizer o;
    nc_status status;
    nc__clear(err);
    if (!optimized) return nc__fail(err, NC_ERR_ARG, 0, 0, "no result pointer");
    *optimized = NULL;
    memset(&o, 0, sizeof o);
    memset(&defaults, 0, sizeof defaults);
    o.options = options ? options : &defaults;
    o.beam = o.options->beam ? o.options->beam : 32;
    o.block = o.options->block ? o.options->block : NC_TIR_BLOCK_NODES;
    if (o.beam > NC_TIR__MAX_BEAM || o.block > 64 || o.options->guide > NC_TIR__MAX_GUIDE)
        return nc__fail(err, NC_ERR_ARG, 0, 0,
                        "beam above 65,536, blocks above 64 instructions or guide above 4,096");
    if (o.options->sample_count) { /* they must run: text, labels, inputs */
        nc_tir_execution worst;
        status =
            nc_tir_profile_dynamic(tasm, o.options->samples, o.options->sample_count, &worst, err);
        nc_tir_free_output(&worst);
        if (status != NC_OK) return status;
    }
    status = nc_tir__read_tasm(tasm, NC_TIR__FOR_ROWS, &o.code, err);
    if (status == NC_OK) {
        status = nc_tir__optimize_code(&o, optimized);
        if (status == NC_ERR_CANCELLED)
            nc__fail(err, status, 0, 0, "cancelled by the progress callback");
        else if (status == NC_ERR_MISMATCH)
            nc__fail(err, status, 0, 0, "a sample's output depends on the program's own digest");
        else if (status != NC_OK)
            nc__fail(err, status, 0, 0, "out of memory");
    }
    if (status == NC_OK && report) *report = o.report;
    nc_tir__optimizer_free(&o);
    return status;
}

NC_API nc_status nc_tir_optimize_text(const char *tir, size_t bytes, const nc_tir_options *options,
                                      char **tasm, char **json, nc_error *err) {
    nc_tir_program *program;
    nc_tir_report report;
    nc_status status;
    memset(&report, 0, sizeof report);
    nc__clear(err);
    if (json) *json = NULL;
    if (tasm) *tasm = NULL;
    if (!tasm || (!tir && bytes)) return nc__fail(err, NC_ERR_ARG, 0, 0, "no text or no result");
    status = nc_tir_parse(&program, tir, bytes, err);
    if (status != NC_OK) return status;
    status = nc_tir_optimize(program, options, tasm, &report, err);
    nc_tir_destroy(program);
    if (status != NC_OK || !json) return status;
    status = nc_tir_report_json(&report, json);
    if (status == NC_OK) return NC_OK;
    nc_tir_free_text(*tasm);
    *tasm = NULL;
    return nc__fail(err, status, 0, 0, "out of memory");
}

static void nc_tir__print_heights(nc__buffer *out, const char *name, const nc_tir_heights *h) {
    const char *table = "";
    const uint64_t tallest = nc_tir_tallest(h, &table), padded = nc_tir_padded(tallest);
    uint64_t rows[NC_TIR__HEIGHTS];
    int i;
    memcpy(rows, h, sizeof rows);
    nc__buffer_print(out, ", \"%s\": {", name);
    for (i = 0; i < NC_TIR__HEIGHTS; i++)
        nc__buffer_print(out, "\"%s\": %llu, ", nc_tir__height_names[i],
                         (unsigned long long)rows[i]);
    nc__buffer_print(out, "\"padded\": %llu, \"cliff\": %llu, \"dominant\": \"%s\"}",
                     (unsigned long long)padded, (unsigned long long)(padded - tallest), table);
}

static void nc_tir__print_tables(nc__buffer *out, const char *name, const nc_tir_tables *tables) {
    uint64_t rows[NC_TIR__TABLES], padded;
    int tallest, i;
    memcpy(rows, tables, sizeof rows);
    tallest = nc_tir__largest(rows, NC_TIR__TABLES);
    padded = nc_tir_padded(rows[tallest]);
    nc__buffer_print(out, ", \"%s\": {", name);
    for (i = 0; i < NC_TIR__TABLES; i++)
        nc__buffer_print(out, "\"%s\": %llu, ", nc_tir__run_names[i], (unsigned long long)rows[i]);
    nc__buffer_print(out, "\"padded\": %llu, \"distance\": %llu, \"tallest\": \"%s\"}",
                     (unsigned long long)padded, (unsigned long long)(padded - rows[tallest]),
                     nc_tir__run_names[tallest]);
}

static void nc_tir__print_cliff(nc__buffer *out, const nc_tir_cliff *cliff) {
    int i;
    nc__buffer_print(out, ", \"cliff\": {\"stop\": \"%s\", \"runs\": %u, \"trades\": {",
                     nc_tir_stop_str(cliff->stop), (unsigned)cliff->runs);
    for (i = 0; i < NC_TIR_TRADE_COUNT; i++)
        nc__buffer_print(out, "%s\"%s\": %u", i ? ", " : "", nc_tir_trade_str((nc_tir_trade)i),
                         (unsigned)cliff->trades[i]);
    nc__buffer_print(out, "}");
    nc_tir__print_tables(out, "before", &cliff->before);
    nc_tir__print_tables(out, "fewest", &cliff->fewest);
    nc_tir__print_tables(out, "after", &cliff->after);
    nc_tir__print_tables(out, "bound", &cliff->bound);
    nc__buffer_print(out, "}");
}

NC_API const char *nc_tir_trade_str(nc_tir_trade trade) {
    static const char *const text[] = {
#define NC_TIR__TEXT(NAME, text) text,
        NC_TIR_TRADES(NC_TIR__TEXT)
#undef NC_TIR__TEXT
    };
    return (unsigned)trade < NC_TIR_TRADE_COUNT ? text[trade] : "unknown trade";
}

NC_API const char *nc_tir_stop_str(nc_tir_stop stop) {
    static const char *const text[] = {"no samples", "below the cliff", "bound reached",
                                       "no candidate", "effort spent"};
    return (unsigned)stop <= NC_TIR_STOP_EFFORT ? text[stop] : "unknown reason";
}

NC_API uint64_t nc_tir_tallest_table(const nc_tir_tables *tables, const char **table) {
    uint64_t rows[NC_TIR__TABLES];
    int tallest;
    memcpy(rows, tables, sizeof rows);
    tallest = nc_tir__largest(rows, NC_TIR__TABLES);
    if (table) *table = nc_tir__run_names[tallest];
    return rows[tallest];
}

NC_API nc_status nc_tir_report_json(const nc_tir_report *report, char **json) {
    nc__buffer out;
    if (json) *json = NULL;
    if (!report || !json) return NC_ERR_ARG;
    memset(&out, 0, sizeof out);
    nc__buffer_print(&out,
                     "{\"blocks\": %u, \"slack\": %u, \"improved\": %u, \"proofs\": %u, "
                     "\"rejected\": %u, \"instructions_before\": %u, \"instructions_after\": %u, "
                     "\"instructions_bound\": %llu",
                     (unsigned)report->blocks, (unsigned)report->slack, (unsigned)report->improved,
                     (unsigned)report->proofs, (unsigned)report->rejected,
                     (unsigned)report->instructions_before, (unsigned)report->instructions_after,
                     (unsigned long long)(report->bound + 0.5));
    nc_tir__print_heights(&out, "before", &report->before);
    nc_tir__print_heights(&out, "after", &report->after);
    nc__buffer_print(&out, ", \"hints\": %u, \"hints_dropped\": %u", (unsigned)report->hints,
                     (unsigned)report->hints_dropped);
    if (report->cliff.runs) nc_tir__print_cliff(&out, &report->cliff);
    nc__buffer_print(&out, "}\n");
    return nc_tir__deliver(&out, json);
}

/* >>training ====================================================================== */

/* -- imitation: the training set -- */

/* A wide search without the network finds a shortest sequence for a block, and all ways of its own
 * that lead there. In floating point the network learns from each level of it to prefer the moves
 * on such ways, of a state that lies on one, to its other moves and to those of a state that does
 * not (cross entropy, AdamW), with the search's own scores added as they are when it searches. It
 * is then rounded to fixed point. In a second round the network guides that search, so that what it
 * ranks too high becomes what it learns from (Ross, Gordon, Bagnell 2011: A reduction of imitation
 * learning to no-regret online learning). Sums run in one order, so one machine always gives the
 * same weights. */

enum {
    NC_TIR__MAX_MOVES = 1024, /* a state has at most 713: units, and three times its locals */
    NC_TIR__GROUP = 2,        /* samples that compete */
    NC_TIR__MIXED = 14        /* instructions of one block joined with those of the next */
};

/* A state's rows and its moves. */
typedef struct nc_tir__sample {
    uint32_t first_option;
    uint16_t options, group; /* how many samples from here on compete: those of one level */
    uint16_t rows[NC_TIR__STATE_FEATURES];
} nc_tir__sample;

/* A move: its code, whether it lies on a shortest way, the search's own score. */
typedef struct nc_tir__option {
    uint8_t code, good;
    uint16_t score;
} nc_tir__option;

typedef struct nc_tir__training_set {
    uint32_t *starts;        /* stb_ds array: first sample of each block, and the end */
    nc_tir__sample *samples; /* stb_ds array */
    nc_tir__option *options; /* stb_ds array */
} nc_tir__training_set;

static void nc_tir__training_set_free(nc_tir__training_set *set) {
    stbds_arrfree(set->starts);
    stbds_arrfree(set->samples);
    stbds_arrfree(set->options);
}

/* A sample of state i; its good children are the marked ones among those from `first` to `last`. */
static void nc_tir__add_sample(nc_tir__beam *b, uint32_t i, uint32_t first, uint32_t last,
                               const uint8_t *good, nc_tir__training_set *set) {
    nc_tir__search *p = b->p;
    nc_tir__sample sample;
    uint32_t k, m;
    memset(&sample, 0, sizeof sample);
    NC__EMPTY(b->moves);
    b->s = &p->states[i];
    b->parent = i;
    nc_tir__expand(b);
    nc_tir__state_rows(b, sample.rows);
    sample.first_option = (uint32_t)stbds_arrlenu(set->options);
    sample.options = (uint16_t)stbds_arrlenu(b->moves);
    if (sample.options == 0 || stbds_arrlenu(b->moves) > NC_TIR__MAX_MOVES) return;
    for (m = 0; m < sample.options; m++) {
        nc_tir__option option;
        option.code = (uint8_t)nc_tir__code_of(b->moves[m].op, b->moves[m].arg);
        option.score = (uint16_t)b->moves[m].score;
        option.good = 0;
        for (k = first; k < last && !option.good; k++)
            option.good = good[k] && p->states[k].hash == b->moves[m].hash;
        stbds_arrput(set->options, option);
    }
    stbds_arrput(set->samples, sample);
}

/* Mark the states of a level from which a marked state of the next, from `first` to `last`, is one
 * move away; *edge: behind the further ways to that level. */
static void nc_tir__mark_parents(const nc_tir__search *p, uint32_t before, uint32_t first,
                                 uint32_t last, size_t *edge, uint8_t *good) {
    uint32_t k;
    for (k = first; k < last; k++)
        if (good[k]) good[p->states[k].parent] = 1;
    for (; *edge > 0 && p->edges[*edge - 1].parent >= before; --*edge)
        for (k = first; k < last; k++)
            if (good[k] && p->states[k].hash == p->edges[*edge - 1].hash)
                good[p->edges[*edge - 1].parent] = 1;
}

/* Of each level of the last search the best state on a shortest way and the best that is on none
 * become samples, with all their moves and the scores that these have without a network. 0 when out
 * of memory. */
static int nc_tir__add_samples(nc_tir__search *p, nc_tir__training_set *set) {
    const uint32_t n = (uint32_t)stbds_arrlenu(p->states);
    const nc_tir_model *model = p->model;
    uint8_t *good = (uint8_t *)nc__calloc(NULL, n + 1);
    uint32_t level = p->found_count, last = n, i;
    size_t edge = stbds_arrlenu(p->edges);
    nc_tir__beam b;
    nc_tir__state s;
    if (!good) return nc_tir__starve(p);
    good[p->goal_state] = 1;
    p->model = NULL;
    for (i = nc_tir__begin(p, &b, &s) ? level : 0; i > 0; i--) {
        const uint32_t first = p->level_start[i], before = p->level_start[i - 1];
        const size_t at = stbds_arrlenu(set->samples);
        uint32_t k, wanted;
        nc_tir__mark_parents(p, before, first, last, &edge, good);
        for (wanted = 0; wanted < 2; wanted++) {
            for (k = before; k < first && good[k] == wanted;) k++;
            if (k < first) nc_tir__add_sample(&b, k, first, last, good, set);
        }
        if (stbds_arrlenu(set->samples) > at)
            set->samples[at].group = (uint16_t)(stbds_arrlenu(set->samples) - at);
        last = first;
    }
    p->moves = b.moves;
    p->model = model;
    nc__free(NULL, good, n + 1);
    return 1;
}

/* Search one piece of code; what it ends with becomes samples, unless the piece was seen before. 1
 * when something is in p->found. */
static int nc_tir__learn_piece(nc_tir__search *p, nc_tir__map *seen, const nc_tir__tasm *piece,
                               size_t n, uint32_t beam, nc_tir__training_set *set) {
    const size_t samples = stbds_arrlenu(set->samples);
    int fresh = 0;
    if (n < 2) return 0;
    if (!nc_tir__remember(seen, piece, n, &fresh)) return nc_tir__starve(p);
    if (!fresh) return 0;
    if (!nc_tir__find_shorter(p, piece, n, (uint32_t)n + 1, beam)) return 0;
    if (!nc_tir__add_samples(p, set)) return 0;
    if (stbds_arrlenu(set->samples) > samples) stbds_arrput(set->starts, (uint32_t)samples);
    return 1;
}

/* A piece; then the end of the best sequence of the piece before (*count instructions in `last`)
 * with the start of its own, as the optimiser meets code that it has shortened already. */
static void nc_tir__add_piece(nc_tir__search *p, nc_tir__map *seen, const nc_tir__tasm *piece,
                              size_t n, uint32_t beam, nc_tir__tasm last[NC_TIR__MIXED],
                              size_t *count, nc_tir__training_set *set) {
    nc_tir__tasm mixed[2 * NC_TIR__MIXED];
    size_t m = *count, k, found;
    if (!nc_tir__learn_piece(p, seen, piece, n, beam, set)) return;
    found = p->found_count;
    memcpy(mixed, last, m * sizeof *mixed);
    for (k = 0; k < found && k < NC_TIR__MIXED; k++) mixed[m++] = p->found[k];
    *count = found < NC_TIR__MIXED ? found : (size_t)NC_TIR__MIXED;
    memcpy(last, p->found + found - *count, *count * sizeof *last);
    (void)nc_tir__learn_piece(p, seen, mixed, m, beam, set);
}

/* Straight-line code from `first` on, up to a jump or a label. */
static size_t nc_tir__segment_end(const nc_tir__code *code, size_t first) {
    const size_t n = stbds_arrlenu(code->list);
    size_t end = first, k;
    while (end < n && nc_tir__is_straight(code->list, end)) {
        for (k = 0; end > first && k < stbds_arrlenu(code->labels); k++)
            if (code->labels[k].value == (int32_t)end) return end;
        end++;
    }
    return end;
}

/* The next straight-line code from *end on, which is 0 at first; 0 when there is no more. */
static int nc_tir__next_segment(const nc_tir__code *code, size_t *first, size_t *end) {
    for (*first = *end; *first < stbds_arrlenu(code->list); ++*first) {
        *end = nc_tir__segment_end(code, *first);
        if (*end > *first) return 1;
    }
    return 0;
}

/* Blocks of 32 instructions, or (pieces) of 8 to 32 from every second one on. */
static void nc_tir__add_pieces(nc_tir__search *p, nc_tir__map *seen, const nc_tir__code *code,
                               uint32_t beam, int pieces, nc_tir__training_set *set) {
    nc_tir__tasm last[NC_TIR__MIXED];
    size_t first, end = 0, at, size, count = 0;
    while (nc_tir__next_segment(code, &first, &end))
        for (at = first; at < end; at += pieces ? 2 : (size_t)NC_TIR_BLOCK_NODES)
            for (size = pieces ? 8 : (size_t)NC_TIR_BLOCK_NODES; size <= NC_TIR_BLOCK_NODES;
                 size += 6) {
                const size_t n = end - at < size ? end - at : size;
                nc_tir__add_piece(p, seen, code->list + at, n, beam, last, &count, set);
                if (n < size) break;
            }
}

/* The samples of one text, from searches with a network or (null) without. */
static nc_status nc_tir__learn_text(const nc_tir_model *model, const char *tasm, uint32_t beam,
                                    int pieces, nc_tir__training_set *set) {
    nc_tir__search *p = nc_tir__search_new(model, NC_TIR__GUIDE);
    nc_tir__map seen;
    nc_tir__code code;
    nc_status status = p ? nc_tir__read_tasm(tasm, NC_TIR__FOR_ROWS, &code, NULL) : NC_ERR_MEMORY;
    memset(&seen, 0, sizeof seen);
    if (status == NC_OK) {
        p->keep_edges = 1;
        nc_tir__add_pieces(p, &seen, &code, beam, pieces, set);
        if (p->no_memory) status = NC_ERR_MEMORY;
    }
    if (p) nc_tir__code_free(&code);
    nc_tir__map_free(&seen);
    nc_tir__search_free(p);
    return status;
}

/* Append one training set to another. */
static void nc_tir__append_set(nc_tir__training_set *to, const nc_tir__training_set *from) {
    const uint32_t samples = (uint32_t)stbds_arrlenu(to->samples);
    const uint32_t options = (uint32_t)stbds_arrlenu(to->options);
    size_t i;
    for (i = 0; i < stbds_arrlenu(from->starts); i++)
        stbds_arrput(to->starts, from->starts[i] + samples);
    for (i = 0; i < stbds_arrlenu(from->samples); i++) {
        nc_tir__sample sample = from->samples[i];
        sample.first_option += options;
        stbds_arrput(to->samples, sample);
    }
    for (i = 0; i < stbds_arrlenu(from->options); i++) stbds_arrput(to->options, from->options[i]);
}

/* Best sequences of the blocks of the programs and of pieces of them, as samples: 16 texts at a
 * time, each by one thread, joined in their order. */
static nc_status nc_tir__prepare(const nc_tir_model *model, const char *const *tasm, size_t count,
                                 const nc_tir_imitation *o, nc_tir__training_set *set) {
    enum { TEXTS = 16 };
    nc_tir__training_set part[TEXTS];
    nc_status status = NC_OK, each[TEXTS];
    size_t first;
    for (first = 0; first < count && status == NC_OK; first += TEXTS) {
        const int n = (int)(count - first < TEXTS ? count - first : (size_t)TEXTS);
        int i;
        if (o->progress && o->progress(o->user, first, count)) return NC_ERR_CANCELLED;
        memset(part, 0, sizeof part);
#ifdef _OPENMP
#pragma omp parallel for schedule(dynamic)
#endif
        for (i = 0; i < n; i++)
            each[i] = nc_tir__learn_text(o->guided ? model : NULL, tasm[first + (size_t)i], o->beam,
                                         first + (size_t)i + o->whole < count, &part[i]);
        for (i = 0; i < n; i++) {
            if (status == NC_OK) status = each[i];
            nc_tir__append_set(set, &part[i]);
            nc_tir__training_set_free(&part[i]);
        }
    }
    stbds_arrput(set->starts, (uint32_t)stbds_arrlenu(set->samples));
    return status;
}

/* -- imitation: the network in floating point -- */

/* Weights, their gradients and AdamW's moments; scores of the moves of a group. */
typedef struct nc_tir__f_model {
    float w[NC_TIR__PARAMETERS], g[NC_TIR__PARAMETERS];
    float m[NC_TIR__PARAMETERS], v[NC_TIR__PARAMETERS];
    float logit[NC_TIR__GROUP * NC_TIR__MAX_MOVES];
} nc_tir__f_model;

NC__COLD_END

/* to[k] += scale from[k]. The lanes are independent: vectors give the bits of one at a time. */
static void nc_tir__f_axpy(float *to, float scale, const float *from, uint32_t n) {
    uint32_t k;
#ifdef _OPENMP
#pragma omp simd
#endif
    for (k = 0; k < n; k++) to[k] += scale * from[k];
}

/* Sum of a[k] b[k], n a multiple of 8, in eight partial sums. */
static float nc_tir__f_dot(const float *a, const float *b, uint32_t n) {
    float part[8] = {0};
    uint32_t k, lane;
    for (k = 0; k < n; k += 8) {
#ifdef _OPENMP
#pragma omp simd
#endif
        for (lane = 0; lane < 8; lane++) part[lane] += a[k + lane] * b[k + lane];
    }
    return ((part[0] + part[4]) + (part[1] + part[5])) +
           ((part[2] + part[6]) + (part[3] + part[7]));
}

/* y (rows x n) += x (rows x m) w (m x n). */
static NC__NOINLINE void nc_tir__f_product(float *y, const float *x, const float *w, uint32_t rows,
                                           uint32_t m, uint32_t n) {
    uint32_t i, j;
    for (i = 0; i < rows; i++)
        for (j = 0; j < m; j++) /* many are 0, behind the rectifier */
            if (x[i * m + j] != 0.0f) nc_tir__f_axpy(y + i * n, x[i * m + j], w + j * n, n);
}

/* dx (rows x m) += dy w^T, dw (m x n) += x^T dy. */
static void nc_tir__f_back(float *dx, float *dw, const float *dy, const float *x, const float *w,
                           uint32_t rows, uint32_t m, uint32_t n) {
    uint32_t i, j;
    for (i = 0; i < rows; i++)
        for (j = 0; j < m; j++) {
            dx[i * m + j] += nc_tir__f_dot(dy + i * n, w + j * n, n);
            if (x[i * m + j] != 0.0f) nc_tir__f_axpy(dw + j * n, x[i * m + j], dy + i * n, n);
        }
}

/* Rectifier: values below 0 become 0; backward, gradients where it gave 0 do. */
static void nc_tir__f_rectify(float *x, const float *given, uint32_t n) {
    uint32_t i;
    for (i = 0; i < n; i++)
        if (given[i] <= 0.0f) x[i] = 0.0f;
}

NC__COLD_BEGIN

/* Activations of the decoder for one sample. */
typedef struct nc_tir__f_decoder {
    float in[NC_TIR__D], hidden[NC_TIR__FFN], out[NC_TIR__OUT];
} nc_tir__f_decoder;

/* Where the first layer's weights of the state begin. */
enum { NC_TIR__P_HIDDEN_STATE = NC_TIR__P_HIDDEN + NC_TIR__D * NC_TIR__FFN };

/* All outputs of the decoder. */
static void nc_tir__f_decode(const nc_tir__f_model *s, const nc_tir__sample *sample,
                             nc_tir__f_decoder *d) {
    uint32_t i;
    memset(d->in, 0, sizeof d->in);
    for (i = 0; i < NC_TIR__STATE_FEATURES; i++)
        nc_tir__f_axpy(d->in, 1.0f, s->w + NC_TIR__P_STATES + sample->rows[i] * (uint32_t)NC_TIR__D,
                       NC_TIR__D);
    memcpy(d->hidden, s->w + NC_TIR__P_HIDDEN_BIAS, sizeof d->hidden);
    nc_tir__f_product(d->hidden, d->in, s->w + NC_TIR__P_HIDDEN_STATE, 1, NC_TIR__D, NC_TIR__FFN);
    nc_tir__f_rectify(d->hidden, d->hidden, NC_TIR__FFN);
    memcpy(d->out, s->w + NC_TIR__P_OUT_BIAS, sizeof d->out);
    nc_tir__f_product(d->out, d->hidden, s->w + NC_TIR__P_OUT, 1, NC_TIR__FFN, NC_TIR__OUT);
}

/* Gradients of the decoder from dout. */
static void nc_tir__f_decode_back(nc_tir__f_model *s, const nc_tir__sample *sample,
                                  const nc_tir__f_decoder *d, const float *dout) {
    float din[NC_TIR__D] = {0}, dhidden[NC_TIR__FFN] = {0};
    uint32_t i;
    nc_tir__f_axpy(s->g + NC_TIR__P_OUT_BIAS, 1.0f, dout, NC_TIR__OUT);
    nc_tir__f_back(dhidden, s->g + NC_TIR__P_OUT, dout, d->hidden, s->w + NC_TIR__P_OUT, 1,
                   NC_TIR__FFN, NC_TIR__OUT);
    nc_tir__f_rectify(dhidden, d->hidden, NC_TIR__FFN);
    nc_tir__f_axpy(s->g + NC_TIR__P_HIDDEN_BIAS, 1.0f, dhidden, NC_TIR__FFN);
    nc_tir__f_back(din, s->g + NC_TIR__P_HIDDEN_STATE, dhidden, d->in,
                   s->w + NC_TIR__P_HIDDEN_STATE, 1, NC_TIR__D, NC_TIR__FFN);
    for (i = 0; i < NC_TIR__STATE_FEATURES; i++)
        nc_tir__f_axpy(s->g + NC_TIR__P_STATES + sample->rows[i] * (uint32_t)NC_TIR__D, 1.0f, din,
                       NC_TIR__D);
}

/* A state's own cross entropy, of the codes of its good moves among all codes, possible or not: so
 * the network alone knows which moves to leave out. Its gradient times `scale` is added to dout. */
static float nc_tir__f_codes(const float *out, uint64_t good, float scale, float *dout) {
    float e[NC_TIR__OUT], top = -1e30f, sum = 0.0f, right = 0.0f;
    uint32_t i;
    for (i = 0; i < NC_TIR__OUT; i++)
        if (i != NC_TIR__CODE_VALUE && out[i] > top) top = out[i];
    for (i = 0; i < NC_TIR__OUT; i++) {
        e[i] = i != NC_TIR__CODE_VALUE ? expf(out[i] - top) : 0.0f;
        sum += e[i];
        if (good >> i & 1) right += e[i];
    }
    if (right <= 1e-20f) return 0.0f;
    for (i = 0; i < NC_TIR__OUT; i++)
        dout[i] += scale * (e[i] / sum - (good >> i & 1 ? e[i] / right : 0.0f));
    return logf(sum) - logf(right);
}

/* The cross entropy of a group, and its gradients times `scale`; *right when a good move ranks
 * first. */
static float nc_tir__f_group(nc_tir__f_model *s, const nc_tir__training_set *set,
                             const nc_tir__sample *sample, float scale, int *right) {
    nc_tir__f_decoder d[NC_TIR__GROUP];
    float top = -1e30f, best = -1e30f, sum = 0.0f, good = 0.0f;
    float own = 0.0f;
    uint32_t i, j, n;
    for (j = n = 0; j < sample->group; j++) {
        const nc_tir__option *o = set->options + sample[j].first_option;
        nc_tir__f_decode(s, &sample[j], &d[j]);
        for (i = 0; i < sample[j].options; i++, n++) {
            s->logit[n] = d[j].out[o[i].code] + d[j].out[NC_TIR__CODE_VALUE] -
                          (float)o[i].score / (float)NC_TIR__GUIDE;
            if (s->logit[n] > top) top = s->logit[n];
            if (o[i].good && s->logit[n] > best) best = s->logit[n];
        }
    }
    *right = best >= top;
    for (j = n = 0; j < sample->group; j++) {
        const nc_tir__option *o = set->options + sample[j].first_option;
        for (i = 0; i < sample[j].options; i++, n++) {
            sum += s->logit[n] = expf(s->logit[n] - top);
            if (o[i].good) good += s->logit[n];
        }
    }
    if (good < 1e-30f) good = 1e-30f;
    for (j = n = 0; j < sample->group; j++) {
        const nc_tir__option *o = set->options + sample[j].first_option;
        float dout[NC_TIR__OUT] = {0};
        uint64_t codes = 0;
        for (i = 0; i < sample[j].options; i++, n++) {
            const float part = scale * (s->logit[n] / sum - (o[i].good ? s->logit[n] / good : 0));
            dout[o[i].code] += part;
            dout[NC_TIR__CODE_VALUE] += part;
            if (o[i].good) codes |= UINT64_C(1) << o[i].code;
        }
        own += 0.3f * nc_tir__f_codes(d[j].out, codes, 0.3f * scale, dout);
        nc_tir__f_decode_back(s, &sample[j], &d[j], dout);
    }
    return logf(sum) - logf(good) + own;
}

/* AdamW (Loshchilov, Hutter 2019), decay 0.01 of all but biases and gains; weights stay below 8 so
 * that fixed point holds them. */
static void nc_tir__f_update(nc_tir__f_model *s, uint32_t step, float rate) {
    const float one = 1.0f - powf(0.9f, (float)step), two = 1.0f - powf(0.999f, (float)step);
    uint32_t i;
    for (i = 0; i < NC_TIR__PARAMETERS; i++) {
        const float g = s->g[i];
        s->m[i] = 0.9f * s->m[i] + 0.1f * g;
        s->v[i] = 0.999f * s->v[i] + 0.001f * g * g;
        s->w[i] -= rate * (s->m[i] / one / (sqrtf(s->v[i] / two) + 1e-8f) +
                           (nc_tir__fan_in(i) ? 0.01f * s->w[i] : 0.0f));
        if (s->w[i] > 7.9f) s->w[i] = 7.9f;
        if (s->w[i] < -7.9f) s->w[i] = -7.9f;
    }
    memset(s->g, 0, sizeof s->g);
}

/* -- imitation: epochs -- */

/* 0 to n - 1 in an order that the seed and the epoch give (Fisher and Yates). */
static void nc_tir__shuffle(uint32_t *order, uint32_t n, uint64_t seed, uint32_t epoch) {
    uint32_t words[4], i;
    for (i = 0; i < n; i++) order[i] = i;
    for (i = n; i > 1; i--) {
        uint32_t other, kept = order[i - 1];
        nc__philox(seed, i, 1 + epoch, words);
        other = words[0] % i;
        order[i - 1] = order[other];
        order[other] = kept;
    }
}

/* One pass over the training set, an update for every 128 samples or more. */
static void nc_tir__epoch(nc_tir__f_model *s, const nc_tir__training_set *set,
                          const uint32_t *order, uint32_t blocks, float rate, uint32_t *step,
                          nc_tir_imitation_report *report) {
    double loss = 0.0, right = 0.0;
    uint32_t i, k, waiting = 0, groups = 0;
    for (i = 0; i < blocks; i++) {
        const uint32_t first = set->starts[order[i]], last = set->starts[order[i] + 1];
        for (k = first; k < last; k += set->samples[k].group) {
            int correct;
            const float one = nc_tir__f_group(s, set, &set->samples[k], 1.0f / 64.0f, &correct);
            loss += (double)one;
            right += correct;
            groups++;
        }
        waiting += last - first;
        if (waiting < 128 && i + 1 < blocks) continue;
        nc_tir__f_update(s, ++*step, rate);
        waiting = 0;
    }
    report->blocks = blocks;
    report->samples = (uint32_t)stbds_arrlenu(set->samples);
    report->loss = groups ? loss / groups : 0.0;
    report->accuracy = groups ? right / groups : 0.0;
}

/* All epochs; the rate falls to a tenth. */
static nc_status nc_tir__train_epochs(nc_tir__f_model *s, const nc_tir__training_set *set,
                                      const nc_tir_imitation *o, nc_tir_imitation_report *report) {
    const uint32_t blocks = (uint32_t)stbds_arrlenu(set->starts) - 1;
    uint32_t *order = (uint32_t *)nc__alloc(NULL, blocks * sizeof *order), epoch, step = 0;
    nc_status status = order ? NC_OK : NC_ERR_MEMORY;
    for (epoch = 0; epoch < o->epochs && status == NC_OK; epoch++) {
        const float done = (float)epoch / (float)o->epochs;
        nc_tir__shuffle(order, blocks, o->seed, epoch);
        nc_tir__epoch(s, set, order, blocks, o->rate * (1.0f - 0.9f * done), &step, report);
        if (o->progress && o->progress(o->user, epoch + 1, o->epochs)) status = NC_ERR_CANCELLED;
    }
    nc__free(NULL, order, blocks * sizeof *order);
    return status;
}

NC_API nc_status nc_tir_imitate(nc_tir_model *model, const char *const *tasm, size_t count,
                                const nc_tir_imitation *options, nc_tir_imitation_report *report,
                                nc_error *err) {
    nc_tir_imitation_report seen;
    nc_tir_imitation o;
    nc_tir__training_set set;
    nc_tir__f_model *s;
    nc_status status;
    uint32_t i;
    nc__clear(err);
    if (!model || (!tasm && count)) return nc__fail(err, NC_ERR_ARG, 0, 0, "no model or no code");
    memset(&o, 0, sizeof o);
    if (options) o = *options;
    if (o.beam > NC_TIR__MAX_BEAM || !(o.rate >= 0.0f && o.rate <= 1.0f))
        return nc__fail(err, NC_ERR_ARG, 0, 0, "beam above 65,536 or rate not within 0 .. 1");
    if (!o.epochs) o.epochs = 3;
    if (!o.beam) o.beam = 64;
    if (o.rate == 0.0f) o.rate = 1e-3f;
    memset(&set, 0, sizeof set);
    s = (nc_tir__f_model *)nc__calloc(NULL, sizeof *s);
    status = s ? nc_tir__prepare(model, tasm, count, &o, &set) : NC_ERR_MEMORY;
    if (status == NC_OK) {
        for (i = 0; i < NC_TIR__PARAMETERS; i++) s->w[i] = (float)nc_fixed_to_f64(model->w[i]);
        status = nc_tir__train_epochs(s, &set, &o, report ? report : &seen);
    }
    for (i = 0; i < NC_TIR__PARAMETERS && status == NC_OK; i++)
        (void)nc_fixed_from_f64((double)s->w[i], &model->w[i]);
    if (status == NC_OK) nc_tir__derive(model);
    nc_tir__training_set_free(&set);
    nc__free(NULL, s, sizeof *s);
    return status == NC_OK ? NC_OK : nc__fail(err, status, 0, 0, "%s", nc_status_str(status));
}

/* -- evolution: 16 weight vectors, scored by what short guided searches make of the batch -- */

enum {
    NC_TIR__POPULATION = 16,
    NC_TIR__SURVIVORS = 4,
    NC_TIR__MAX_BATCH = 4096,
    NC_TIR__SCORE_BEAM = 2,
    NC_TIR__SCORE_GUIDE = NC_TIR__GUIDE
};
static const double nc_tir__least_step = 0.001, nc_tir__most_step = 0.5; /* of mutations */

/* A block of the batch: instructions from `first` on. */
typedef struct nc_tir__batch_block {
    uint32_t first, count;
} nc_tir__batch_block;

struct nc_tir_evolution {
    nc_tir_model *models[NC_TIR__POPULATION], *next[NC_TIR__POPULATION];
    uint64_t cost[NC_TIR__POPULATION];
    uint64_t seed, generation;
    uint32_t scored_step;        /* the survivors' costs are for every so many blocks; 0: unknown */
    double size;                 /* of mutations, in units of 1 */
    nc_tir__tasm *code;          /* stb_ds array: the batch's instructions */
    nc_tir__batch_block *blocks; /* stb_ds array */
    nc_tir__map seen;
    volatile int *stop; /* another thread's wish; or null */
};

static int nc_tir__asked_to_stop(const nc_tir_evolution *e) { return e->stop && NC__GET(*e->stop); }

/* Rows of the best proven code that the search's model finds for a block with a narrow beam. */
static void nc_tir__score_block(nc_tir__search *p, const nc_tir__tasm *code, uint32_t count,
                                uint64_t rows[NC_TIR__HEIGHTS]) {
    if (nc_tir__find_shorter(p, code, count, count, NC_TIR__SCORE_BEAM) &&
        nc_tir__prove(&p->prover, code, count, p->found, p->found_count) == NC_TIR_PROVEN)
        nc_tir__sum_rows(rows, p->found, p->found_count);
    else
        nc_tir__sum_rows(rows, code, count);
}

/* Padded height first, then the tallest table, then all rows. */
static uint64_t nc_tir__cost_of(const uint64_t rows[NC_TIR__HEIGHTS]) {
    const uint64_t tallest = rows[nc_tir__largest(rows, NC_TIR__HEIGHTS)];
    uint64_t all = 0, bits = 0;
    int i;
    for (i = 0; i < NC_TIR__HEIGHTS; i++) all += rows[i];
    while (UINT64_C(1) << bits < nc_tir_padded(tallest)) bits++;
    return bits << 56 | (tallest & 0xfffffff) << 28 | (all & 0xfffffff);
}

/* Rows of `count` models on the blocks first, first + step, ... of the batch; 0 when out of memory.
 * Each model and block is a task of its own: the threads change nothing. */
static int nc_tir__score_tasks(nc_tir_evolution *e, nc_tir_model *const *models, uint32_t count,
                               uint32_t first, uint32_t step, uint64_t *rows) {
    const ptrdiff_t blocks = (ptrdiff_t)stbds_arrlenu(e->blocks);
    int failed = 0;
    ptrdiff_t i;
#ifdef _OPENMP
#pragma omp parallel reduction(| : failed) if (!e->stop)
#endif
    {
        nc_tir__search *p = nc_tir__search_new(models[0], NC_TIR__SCORE_GUIDE);
        if (!p) failed = 1;
#ifdef _OPENMP
#pragma omp for schedule(dynamic, 8)
#endif
        for (i = 0; i < (ptrdiff_t)count * blocks; i++) {
            const nc_tir__batch_block *b = &e->blocks[i % blocks];
            if (failed || (uint32_t)(i % blocks) % step != first || nc_tir__asked_to_stop(e))
                continue;
            p->model = models[i / blocks];
            nc_tir__score_block(p, e->code + b->first, b->count, rows + i * NC_TIR__HEIGHTS);
            if (p->no_memory) failed = 1;
        }
        nc_tir__search_free(p);
    }
    return !failed;
}

/* Costs of `count` models on the blocks first, first + step, ... NC_ERR_CANCELLED when asked to
 * stop. */
static nc_status nc_tir__score_models(nc_tir_evolution *e, nc_tir_model *const *models,
                                      uint32_t count, uint32_t first, uint32_t step,
                                      uint64_t *cost) {
    const size_t blocks = stbds_arrlenu(e->blocks);
    const size_t bytes = (count * blocks + 1) * NC_TIR__HEIGHTS * sizeof(uint64_t);
    uint64_t *rows = (uint64_t *)nc__calloc(NULL, bytes), *at = rows;
    nc_status status = rows ? NC_OK : NC_ERR_MEMORY;
    size_t i, k;
    if (status == NC_OK && !nc_tir__score_tasks(e, models, count, first, step, rows))
        status = NC_ERR_MEMORY;
    for (i = 0; i < count && status == NC_OK; i++) {
        uint64_t sum[NC_TIR__HEIGHTS] = {0};
        for (k = 0; k < blocks * NC_TIR__HEIGHTS; k++) sum[k % NC_TIR__HEIGHTS] += *at++;
        cost[i] = nc_tir__cost_of(sum);
    }
    nc__free(NULL, rows, bytes);
    return status == NC_OK && nc_tir__asked_to_stop(e) ? NC_ERR_CANCELLED : status;
}

NC__COLD_END

/* Uniform crossover and mutation: each weight from one parent or the other, one in a hundred
 * changed. */
static void nc_tir__cross(const nc_tir_evolution *e, const nc_tir_model *a, const nc_tir_model *b,
                          uint32_t child, nc_tir_model *out) {
    const nc_fixed limit = NC_TIR__WEIGHT_LIMIT;
    const int64_t size = (int64_t)(e->size * 65536.0);
    uint32_t i, words[4];
    for (i = 0; i < NC_TIR__PARAMETERS; i++) {
        uint32_t word, more[4];
        int64_t noise;
        if (i % 4 == 0) nc__philox(e->seed, (uint64_t)child << 32 | i, e->generation, words);
        word = words[i % 4];
        out->w[i] = word & 1 ? a->w[i] : b->w[i];
        if ((word >> 1) % 100) continue;
        nc__philox(e->seed, (uint64_t)child << 32 | i | UINT32_C(1) << 31, e->generation, more);
        noise = (int64_t)(more[0] & 0xffff) + (more[0] >> 16) + (more[1] & 0xffff) +
                (more[1] >> 16) - 131070; /* about normal, deviation 37,837 */
        out->w[i] = nc_fixed_clamp(nc_gl_add(out->w[i], nc_gl_from_i64(size * noise / 37837)),
                                   nc_gl_neg(limit), limit);
    }
    nc_tir__derive(out);
}

NC__COLD_BEGIN

NC_API nc_status nc_tir_evolution_create(nc_tir_evolution **evolution, const nc_tir_model *start,
                                         uint64_t seed) {
    nc_tir_evolution *e;
    uint32_t i;
    if (evolution) *evolution = NULL;
    if (!evolution || !start) return NC_ERR_ARG;
    *evolution = e = (nc_tir_evolution *)nc__calloc(NULL, sizeof *e);
    if (!e) return NC_ERR_MEMORY;
    e->seed = seed;
    e->size = 0.02;
    for (i = 0; i < NC_TIR__POPULATION; i++) {
        e->models[i] = (nc_tir_model *)nc__alloc(NULL, sizeof **e->models);
        e->next[i] = (nc_tir_model *)nc__alloc(NULL, sizeof **e->next);
        if (e->models[i] && e->next[i]) {
            *e->models[i] = *start;
            if (i) nc_tir__cross(e, start, start, i, e->models[i]);
            continue;
        }
        nc_tir_evolution_destroy(e);
        *evolution = NULL;
        return NC_ERR_MEMORY;
    }
    e->generation = 1;
    return NC_OK;
}

NC_API void nc_tir_evolution_destroy(nc_tir_evolution *evolution) {
    uint32_t i;
    if (!evolution) return;
    for (i = 0; i < NC_TIR__POPULATION; i++) {
        nc_tir_model_destroy(evolution->models[i]);
        nc_tir_model_destroy(evolution->next[i]);
    }
    stbds_arrfree(evolution->code);
    stbds_arrfree(evolution->blocks);
    nc_tir__map_free(&evolution->seen);
    nc__free(NULL, evolution, sizeof *evolution);
}

/* A block joins the batch unless it is too short, known, or one too many. */
static nc_status nc_tir__add_block(nc_tir_evolution *e, const nc_tir__tasm *code, size_t n) {
    nc_tir__batch_block b;
    int fresh;
    if (n < 3 || stbds_arrlenu(e->blocks) == NC_TIR__MAX_BATCH) return NC_OK;
    if (!nc_tir__remember(&e->seen, code, n, &fresh)) return NC_ERR_MEMORY;
    if (!fresh) return NC_OK;
    b.first = (uint32_t)stbds_arrlenu(e->code);
    b.count = (uint32_t)n;
    nc_tir__add_code(&e->code, code, n);
    stbds_arrput(e->blocks, b);
    e->scored_step = 0;
    return NC_OK;
}

NC_API nc_status nc_tir_evolution_add(nc_tir_evolution *evolution, const char *tasm,
                                      nc_error *err) {
    nc_tir__code code;
    nc_status status;
    size_t first, end = 0, at, stop;
    nc__clear(err);
    if (!evolution || !tasm) return nc__fail(err, NC_ERR_ARG, 0, 0, "no evolution or no code");
    status = nc_tir__read_tasm(tasm, NC_TIR__FOR_ROWS, &code, err);
    while (status == NC_OK && nc_tir__next_segment(&code, &first, &end))
        for (at = first; at < end && status == NC_OK; at = stop) {
            stop = nc_tir__block_end(code.list, end, at, NC_TIR_BLOCK_NODES);
            status = nc_tir__add_block(evolution, code.list + at, stop - at);
            if (status != NC_OK) nc__fail(err, status, 0, 0, "out of memory");
        }
    nc_tir__code_free(&code);
    return status;
}

NC_API uint32_t nc_tir_evolution_blocks(const nc_tir_evolution *evolution) {
    return (uint32_t)stbds_arrlenu(evolution->blocks);
}

/* Models in ascending order of cost, by insertion: equals keep their order. */
static void nc_tir__sort_models(nc_tir_evolution *e) {
    uint32_t i, k;
    for (i = 1; i < NC_TIR__POPULATION; i++) {
        nc_tir_model *model = e->models[i];
        const uint64_t cost = e->cost[i];
        for (k = i; k > 0 && cost < e->cost[k - 1]; k--) {
            e->models[k] = e->models[k - 1];
            e->cost[k] = e->cost[k - 1];
        }
        e->models[k] = model;
        e->cost[k] = cost;
    }
}

static double nc_tir__bound_step(double size) {
    if (!(size >= nc_tir__least_step)) return nc_tir__least_step;
    return size > nc_tir__most_step ? nc_tir__most_step : size;
}

/* One generation on the blocks 0, step, 2 step, ...: score, sort, cross. The survivors of the
 * last one keep their costs while the blocks stay the same. */
static nc_status nc_tir__generation(nc_tir_evolution *e, uint32_t step) {
    const uint64_t before = e->cost[0];
    const uint32_t known = e->scored_step == step ? NC_TIR__SURVIVORS : 0;
    const nc_status status = nc_tir__score_models(e, e->models + known, NC_TIR__POPULATION - known,
                                                  0, step, e->cost + known);
    uint32_t i;
    int child;
    if (status != NC_OK) return status;
    e->scored_step = step;
    nc_tir__sort_models(e);
    /* larger steps while they succeed, smaller ones when they do not */
    if (before) e->size = nc_tir__bound_step(e->size * (e->cost[0] < before ? 1.25 : 0.95));
#ifdef _OPENMP
#pragma omp parallel for schedule(dynamic) if (!e->stop)
#endif
    for (child = NC_TIR__SURVIVORS; child < NC_TIR__POPULATION; child++) {
        uint32_t words[4];
        if (nc_tir__asked_to_stop(e)) continue;
        nc__philox(e->seed, UINT64_C(1) << 62 | (uint64_t)child, e->generation, words);
        nc_tir__cross(e, e->models[words[0] % NC_TIR__SURVIVORS],
                      e->models[words[1] % NC_TIR__SURVIVORS], (uint32_t)child, e->next[child]);
    }
    if (nc_tir__asked_to_stop(e)) return NC_ERR_CANCELLED; /* some children may be missing */
    for (i = NC_TIR__SURVIVORS; i < NC_TIR__POPULATION; i++) {
        nc_tir_model *model = e->models[i];
        e->models[i] = e->next[i];
        e->next[i] = model;
    }
    e->generation++;
    return NC_OK;
}

NC_API nc_status nc_tir_evolution_run(nc_tir_evolution *evolution, uint32_t generations,
                                      nc_progress_fn progress, void *user) {
    nc_status status = NC_OK;
    uint32_t i;
    if (!evolution) return NC_ERR_ARG;
    for (i = 0; i < generations && status == NC_OK; i++) {
        if (progress && progress(user, i, generations)) return NC_ERR_CANCELLED;
        status = nc_tir__generation(evolution, 1);
    }
    return status;
}

NC_API const nc_tir_model *nc_tir_evolution_best(const nc_tir_evolution *evolution) {
    return evolution->models[0];
}

NC_API uint64_t nc_tir_evolution_cost(const nc_tir_evolution *evolution) {
    return evolution->cost[0];
}

#ifndef NC_NO_STDIO
/* State of an evolution: "NCTIRE2\n", seed, generation, size of mutations in units of 2^-40, costs,
 * FNV-1a of all these, then 16 weights files one after the other. The batch is not in it. */
#define NC_TIR__EVOLUTION_MAGIC "NCTIRE2\n"
#define NC_TIR__EVOLUTION_UNIT 1099511627776.0
enum {
    NC_TIR__EVOLUTION_SUM = 32 + 8 * NC_TIR__POPULATION, /* where it is */
    NC_TIR__EVOLUTION_HEAD = NC_TIR__EVOLUTION_SUM + 8
};

NC_API nc_status nc_tir_evolution_save(const nc_tir_evolution *evolution, const char *path,
                                       nc_error *err) {
    nc__buffer file;
    uint32_t i;
    if (!evolution || !path) return nc__fail(err, NC_ERR_ARG, 0, 0, "no evolution or no path");
    memset(&file, 0, sizeof file);
    nc__buffer_put(&file, NC_TIR__EVOLUTION_MAGIC, 8);
    nc__buffer_le(&file, evolution->seed, 8);
    nc__buffer_le(&file, evolution->generation, 8);
    nc__buffer_le(&file, (uint64_t)(evolution->size * NC_TIR__EVOLUTION_UNIT), 8);
    for (i = 0; i < NC_TIR__POPULATION; i++) nc__buffer_le(&file, evolution->cost[i], 8);
    if (file.status == NC_OK)
        nc__buffer_le(&file, nc__fnv1a(NC__FNV_START, file.data, NC_TIR__EVOLUTION_SUM), 8);
    for (i = 0; i < NC_TIR__POPULATION; i++) nc_tir__put_weights(&file, evolution->models[i]);
    return nc_tir__save(&file, path, err);
}

/* The weights files behind the head, all or none. */
static nc_status nc_tir__read_population(nc_tir_model *models[NC_TIR__POPULATION],
                                         const uint8_t *file, nc_error *err) {
    nc_status status = NC_OK;
    uint32_t i;
    for (i = 0; i < NC_TIR__POPULATION && status == NC_OK; i++)
        status = nc_tir_model_read(&models[i], file + (size_t)i * NC_TIR__FILE_BYTES,
                                   NC_TIR__FILE_BYTES, err);
    while (status != NC_OK && i-- > 0) nc_tir_model_destroy(models[i]); /* null: the failed one */
    return status;
}

NC_API nc_status nc_tir_evolution_load(nc_tir_evolution *evolution, const char *path,
                                       nc_error *err) {
    const size_t wanted = NC_TIR__EVOLUTION_HEAD + (size_t)NC_TIR__POPULATION * NC_TIR__FILE_BYTES;
    nc_tir_model *models[NC_TIR__POPULATION] = {NULL};
    nc_tir_evolution *e = evolution;
    nc_status status;
    uint8_t *file;
    size_t bytes;
    uint32_t i;
    if (!e || !path) return nc__fail(err, NC_ERR_ARG, 0, 0, "no evolution or no path");
    status = nc__file_read(path, NULL, &file, &bytes, err);
    if (status != NC_OK) return status;
    if (bytes < 8 || memcmp(file, NC_TIR__EVOLUTION_MAGIC, 6) != 0)
        status = nc__fail(err, NC_ERR_FORMAT, 0, 0, "not the state of an evolution");
    else if (memcmp(file, NC_TIR__EVOLUTION_MAGIC, 8) != 0)
        status = nc__fail(err, NC_ERR_UNSUPPORTED, 0, 0, "an evolution's state of another version");
    else if (bytes != wanted)
        status = nc__fail(err, NC_ERR_FORMAT, 0, 0, "the state has %lu bytes, not %lu",
                          (unsigned long)bytes, (unsigned long)wanted);
    else if (nc__fnv1a(NC__FNV_START, file, NC_TIR__EVOLUTION_SUM) !=
             nc__get_le(file + NC_TIR__EVOLUTION_SUM, 8))
        status = nc__fail(err, NC_ERR_MISMATCH, 0, 0, "the checksum of the state is wrong");
    else
        status = nc_tir__read_population(models, file + NC_TIR__EVOLUTION_HEAD, err);
    if (status == NC_OK) {
        e->seed = nc__get_le(file + 8, 8);
        e->generation = nc__get_le(file + 16, 8);
        e->scored_step = 0;
        e->size = nc_tir__bound_step((double)nc__get_le(file + 24, 8) / NC_TIR__EVOLUTION_UNIT);
        for (i = 0; i < NC_TIR__POPULATION; i++) {
            e->cost[i] = nc__get_le(file + 32 + 8 * i, 8);
            nc_tir_model_destroy(e->models[i]);
            e->models[i] = models[i];
        }
    }
    nc__free(NULL, file, bytes + 1);
    return status;
}
#endif

NC__WARM_END

/* >>trainer ======================================================================= */

/* Collects blocks while programs are compiled, evolves the weights on a thread of its own
 * afterwards, and keeps what also helps on blocks it was not evolved on. */
struct nc_tir_trainer {
    nc_tir_model *model;    /* what compilations use */
    nc_tir_model *promoted; /* better weights, taken over when the thread has ended; or null */
    nc_tir_evolution *batch;
    char path[4096]; /* "": nothing is written */
    uint32_t generations, promotions;
    nc_status status;
    volatile int stop;
    int running;
#ifdef NC_TIR__THREADS
    pthread_t thread;
#endif
};

/* The weights of the file at trainer->path where there is one, else `start`. */
static nc_status nc_tir__first_weights(nc_tir_trainer *trainer, const nc_tir_model *start,
                                       nc_error *err) {
    nc_status status;
#ifndef NC_NO_STDIO
    FILE *file;
    errno = 0;
    file = *trainer->path ? fopen(trainer->path, "rb") : NULL;
    if (file) {
        fclose(file);
        return nc_tir_model_load(&trainer->model, trainer->path, err);
    }
    if (errno && errno != ENOENT) return nc__file_error(err, "open", trainer->path, errno);
#endif
    status = nc_tir_model_copy(&trainer->model, start);
    return status == NC_OK ? NC_OK : nc__fail(err, status, 0, 0, "out of memory");
}

NC_API nc_status nc_tir_trainer_create(nc_tir_trainer **trainer, const char *path,
                                       const nc_tir_model *start, uint64_t seed, nc_error *err) {
    nc_tir_trainer *t;
    nc_status status;
    nc__clear(err);
    if (trainer) *trainer = NULL;
    if (!trainer || !start) return nc__fail(err, NC_ERR_ARG, 0, 0, "no trainer or no weights");
    if (path && strlen(path) >= sizeof t->path)
        return nc__fail(err, NC_ERR_ARG, 0, 0, "path is too long");
#ifdef NC_NO_STDIO
    if (path) return nc__fail(err, NC_ERR_UNSUPPORTED, 0, 0, "no files in this build");
#endif
    t = (nc_tir_trainer *)nc__calloc(NULL, sizeof *t);
    if (!t) return nc__fail(err, NC_ERR_MEMORY, 0, 0, "out of memory");
    if (path) memcpy(t->path, path, strlen(path) + 1);
    status = nc_tir__first_weights(t, start, err);
    if (status == NC_OK) {
        status = nc_tir_evolution_create(&t->batch, t->model, seed);
        if (status != NC_OK) nc__fail(err, status, 0, 0, "out of memory");
    }
    if (status == NC_OK)
        *trainer = t;
    else
        nc_tir_trainer_destroy(t);
    return status;
}

/* Join the thread, after its work or as soon as it looks; take over better weights. */
static nc_status nc_tir__join(nc_tir_trainer *t, int stop) {
    if (!t) return NC_ERR_ARG;
    if (!t->running) return NC_OK;
    if (stop) NC__SET(t->stop, 1);
#ifdef NC_TIR__THREADS
    (void)pthread_join(t->thread, NULL);
#endif
    t->running = 0;
    if (t->promoted) {
        nc_tir_model_destroy(t->model);
        t->model = t->promoted;
        t->promoted = NULL;
        t->promotions++;
    }
    return t->status == NC_ERR_CANCELLED ? NC_OK : t->status;
}

NC_API void nc_tir_trainer_destroy(nc_tir_trainer *trainer) {
    if (!trainer) return;
    (void)nc_tir__join(trainer, 1);
    nc_tir_evolution_destroy(trainer->batch);
    nc_tir_model_destroy(trainer->model);
    nc__free(NULL, trainer, sizeof *trainer);
}

NC_API const nc_tir_model *nc_tir_trainer_model(const nc_tir_trainer *trainer) {
    return trainer->model;
}

NC_API nc_status nc_tir_trainer_collect(nc_tir_trainer *trainer, const char *tasm, nc_error *err) {
    if (!trainer || trainer->running)
        return nc__fail(err, NC_ERR_ARG, 0, 0, "no trainer, or it is training");
    return nc_tir_evolution_add(trainer->batch, tasm, err);
}

#ifdef NC_TIR__THREADS
/* Evolve on the even blocks; promote what is better on the odd ones. */
static void *nc_tir__train(void *user) {
    nc_tir_trainer *t = (nc_tir_trainer *)user;
    nc_tir_evolution *e = t->batch;
    nc_tir_model *pair[2];
    uint64_t cost[2];
    uint32_t i;
    t->status = stbds_arrlenu(e->blocks) < 2 ? NC_ERR_CANCELLED : NC_OK;
    for (i = 0; i < t->generations && t->status == NC_OK && !NC__GET(t->stop); i++)
        t->status = nc_tir__generation(e, 2);
    if (t->status != NC_OK || NC__GET(t->stop)) return NULL;
    pair[0] = t->model;
    pair[1] = e->models[0];
    t->status = nc_tir__score_models(e, pair, 2, 1, 2, cost);
    if (t->status != NC_OK || cost[1] >= cost[0]) return NULL;
    t->status = nc_tir_model_copy(&t->promoted, e->models[0]);
#ifndef NC_NO_STDIO
    if (t->status == NC_OK && *t->path) t->status = nc_tir_model_save(t->promoted, t->path, NULL);
#endif
    return NULL;
}
#endif

NC_API nc_status nc_tir_trainer_start(nc_tir_trainer *trainer, uint32_t generations,
                                      nc_error *err) {
    nc__clear(err);
    if (!trainer || trainer->running)
        return nc__fail(err, NC_ERR_ARG, 0, 0, "no trainer, or it is training");
#ifdef NC_TIR__THREADS
    trainer->generations = generations ? generations : 20;
    NC__SET(trainer->stop, 0);
    trainer->batch->stop = &trainer->stop;
    if (pthread_create(&trainer->thread, NULL, nc_tir__train, trainer) != 0)
        return nc__fail(err, NC_ERR_UNSUPPORTED, 0, 0, "no thread to be had");
    trainer->running = 1;
    return NC_OK;
#else
    (void)generations;
    return nc__fail(err, NC_ERR_UNSUPPORTED, 0, 0, "no threads in this build");
#endif
}

NC_API nc_status nc_tir_trainer_wait(nc_tir_trainer *trainer) { return nc_tir__join(trainer, 0); }

NC_API nc_status nc_tir_trainer_stop(nc_tir_trainer *trainer) { return nc_tir__join(trainer, 1); }

NC_API uint32_t nc_tir_trainer_promotions(const nc_tir_trainer *trainer) {
    return trainer->promotions;
}

NC__COLD_END

#ifdef NC_GPU
/* >>gpu =========================================================================== */

enum { NC_TIR__GPU_WORDS = 8 }; /* of a node, as cuda/tir_forward.cu reads them */

struct nc_tir_gpu {
    nc_gpu *device;
    nc_gpu_buffer *weights; /* of `models` models; null: of none */
    size_t models;
};

NC_API nc_status nc_tir_gpu_open(nc_tir_gpu **gpu, nc_gpu *device) {
    nc_gpu_kernel *kernel;
    nc_status status;
    if (!gpu) return NC_ERR_ARG;
    *gpu = NULL;
    if (!device) return NC_ERR_ARG;
    status = nc_gpu_kernel_load(device, "tir_forward", &kernel);
    if (status != NC_OK) return status;
    *gpu = (nc_tir_gpu *)nc__calloc(NULL, sizeof **gpu);
    if (!*gpu) return NC_ERR_MEMORY;
    (*gpu)->device = device;
    return NC_OK;
}

NC_API void nc_tir_gpu_close(nc_tir_gpu *gpu) {
    if (!gpu) return;
    nc_gpu_buffer_destroy(gpu->device, gpu->weights);
    nc__free(NULL, gpu, sizeof *gpu);
}

/* Eight words for each node: six rows of the embedding, the nodes it attends to, 1 if it exists. */
static void nc_tir__gpu_nodes(const nc_gl *words, uint32_t *nodes) {
    const uint32_t n = nc_tir__node_count(words);
    uint32_t i;
    memset(nodes, 0, NC_TIR_BLOCK_NODES * NC_TIR__GPU_WORDS * sizeof *nodes);
    for (i = 0; i < n; i++, nodes += NC_TIR__GPU_WORDS) {
        nc_tir__node_rows(words, i, nodes);
        nodes[NC_TIR__NODE_FEATURES] = nc_tir__attended(words, n, i);
        nodes[NC_TIR__NODE_FEATURES + 1] = 1;
    }
}

/* NC_OK for models and blocks that one dispatch can take: 3 GiB of scratch at most. */
static nc_status nc_tir__gpu_check(size_t models, const nc_gl *words, size_t blocks) {
    size_t i;
    if (models > 65535 || blocks > 65535 || models * blocks >> 17) return NC_ERR_LIMIT;
    for (i = 0; i < blocks; i++)
        if (!nc_tir__check_words(words + i * NC_TIR_BLOCK_WORDS)) return NC_ERR_FORMAT;
    return NC_OK;
}

NC_API nc_status nc_tir_gpu_load(nc_tir_gpu *gpu, const nc_tir_model *const *models, size_t count) {
    const size_t each = NC_TIR__PARAMETERS, bytes = count * each * sizeof(int32_t);
    nc_status status;
    int32_t *w;
    size_t i, k;
    if (!gpu || (count && !models)) return NC_ERR_ARG;
    for (i = 0; i < count; i++)
        if (!models[i]) return NC_ERR_ARG;
    if (count > 65535) return NC_ERR_LIMIT;
    if (count != gpu->models) nc_gpu_buffer_destroy(gpu->device, gpu->weights);
    if (count != gpu->models) gpu->weights = NULL;
    gpu->models = 0;
    if (count == 0) return NC_OK;
    w = (int32_t *)nc__alloc(NULL, bytes);
    status = !w              ? NC_ERR_MEMORY
             : !gpu->weights ? nc_gpu_buffer_create(gpu->device, bytes, &gpu->weights)
                             : NC_OK;
    for (i = 0; i < count && status == NC_OK; i++)
        for (k = 0; k < each; k++) w[i * each + k] = (int32_t)nc_gl_to_i64(models[i]->w[k]);
    if (status == NC_OK) status = nc_gpu_upload(gpu->device, gpu->weights, 0, w, bytes);
    nc__free(NULL, w, bytes);
    if (status == NC_OK) gpu->models = count;
    if (status != NC_OK) nc_gpu_buffer_destroy(gpu->device, gpu->weights);
    if (status != NC_OK) gpu->weights = NULL;
    return status;
}

NC_API nc_status nc_tir_gpu_latents(nc_tir_gpu *gpu, const nc_gl *words, size_t blocks,
                                    nc_fixed *latents) {
    const size_t node_bytes = blocks * NC_TIR_BLOCK_NODES * NC_TIR__GPU_WORDS * sizeof(uint32_t);
    const uint32_t push[2] = {NC_TIR__PARAMETERS, NC_TIR__P_NODES};
    nc_gpu_buffer *buffers[4];
    nc_gpu_job job;
    uint32_t *nodes;
    int32_t *out;
    size_t cells, bytes, i;
    nc_status status;
    if (!gpu || !words || !latents) return NC_ERR_ARG;
    if (gpu->models == 0 || blocks == 0) return NC_OK;
    status = nc_tir__gpu_check(gpu->models, words, blocks);
    if (status != NC_OK) return status;
    cells = gpu->models * blocks * NC_TIR__LATENTS;
    bytes = cells * sizeof *out;
    nodes = (uint32_t *)nc__alloc(NULL, node_bytes);
    out = (int32_t *)nc__alloc(NULL, bytes);
    nc_gpu_job_start(&job, gpu->device);
    if (!nodes || !out) job.status = NC_ERR_MEMORY;
    for (i = 0; job.status == NC_OK && i < blocks; i++)
        nc_tir__gpu_nodes(words + i * NC_TIR_BLOCK_WORDS,
                          nodes + i * NC_TIR_BLOCK_NODES * NC_TIR__GPU_WORDS);
    buffers[0] = gpu->weights;
    buffers[1] = nc_gpu_job_buffer(&job, nodes, node_bytes, node_bytes);
    buffers[2] = nc_gpu_job_buffer(&job, NULL, 0, 3 * bytes); /* queries, keys, values */
    buffers[3] = nc_gpu_job_buffer(&job, NULL, 0, bytes);
    nc_gpu_job_dispatch(&job, "tir_forward", buffers, 4, push, sizeof push, blocks, gpu->models, 1);
    status = nc_gpu_job_finish(&job, buffers[3], 0, out, bytes);
    for (i = 0; status == NC_OK && i < cells; i++) latents[i] = nc_gl_from_i64(out[i]);
    nc__free(NULL, nodes, node_bytes);
    nc__free(NULL, out, bytes);
    return status;
}

NC_API nc_status nc_tir_gpu_forward(nc_tir_gpu *gpu, const nc_tir_model *const *models,
                                    size_t count, const nc_gl *words, size_t blocks,
                                    nc_fixed *latents) {
    nc_status status;
    if (!gpu || !models || !words || !latents) return NC_ERR_ARG;
    if (count == 0 || blocks == 0) return NC_OK;
    status = nc_tir__gpu_check(count, words, blocks);
    if (status == NC_OK) status = nc_tir_gpu_load(gpu, models, count);
    return status == NC_OK ? nc_tir_gpu_latents(gpu, words, blocks, latents) : status;
}

NC_API nc_status nc_tir_evolution_use_gpu(nc_tir_evolution *evolution, nc_tir_gpu *gpu) {
    if (!evolution) return NC_ERR_ARG;
    return gpu ? NC_ERR_UNSUPPORTED : NC_OK;
}
#endif /* NC_GPU */

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
