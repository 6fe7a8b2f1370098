/* nc_tirneural.h - speculative, provably safe optimiser from TIR to TASM (Triton VM)
   version 0.1.0 - MIT or public domain, see the end of the file

   Copy this file and nc_goldilocks.h into your project, together with stb_ds.h (Debian:
   libstb-dev, or any copy beside this file). In ONE C or C++ file:

       #define NC_IMPLEMENTATION
       #include "nc_tirneural.h"

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
     >>types     TIR operations, heights, machine, reports
     >>api       programs, lowering, profiles, machine, proofs, optimiser
     >>tasm      the instruction table, reading TASM
     >>machine   the Triton VM interpreter and its table heights
     >>symbolic  terms, symbolic execution, equivalence
     >>blocks    a block as field elements
     >>model     the network: forward pass, weights file
     >>search    beam search over stack states
     >>io        TIR text
     >>peephole  the compiler's clean-up before lowering
     >>regions   the optimiser: segments, branches, shared code
     >>training  imitation, evolution
     >>trainer   evolution on a thread, while a compiler runs
     >>gpu       the network on Vulkan and CUDA, with NC_GPU
     >>public    lowering, profiles, entry points of the optimiser
     >>changelog

   Options, defined before including:
     NC_API, NC_STATIC                 how functions are declared; NC_STATIC: all static
     NC_MALLOC, NC_REALLOC, NC_FREE    all memory of this header goes through these
     NC_STB_DS_EXTERNAL                another file compiles STB_DS_IMPLEMENTATION
     NC_GOLDILOCKS_EXTERNAL            another file compiles nc_goldilocks.h
     NC_GPU                            also the GPU functions (needs nc_gpu.h beside this file)
     NC_TIR_NO_THREADS                 no background training (which needs POSIX threads)

   The classical lowering always runs. A block of its output is replaced only by a sequence that
   is proven to leave the same stack, the same effects in the same order and the same crash
   conditions, and that is cheaper and in no table more expensive. What cannot be proven stays
   as it was. A network may guide the search (examples/data/tir_weights.bin, or your own from
   examples/tir_train.c): it changes which code is found, never whether it is right. Link with -lm,
   and with -pthread where that is a library of its own. */

#ifndef NC_TIRNEURAL_H
#define NC_TIRNEURAL_H

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

/* TIR operations in the compiler's order: structure, universal, provable, recursion. */
typedef enum nc_tir_kind {
    NC_TIR_CALL = 0,
    NC_TIR_RETURN,
    NC_TIR_HALT,
    NC_TIR_IF_ELSE,
    NC_TIR_IF_ONLY,
    NC_TIR_LOOP,
    NC_TIR_FN_START,
    NC_TIR_FN_END,
    NC_TIR_ENTRY,
    NC_TIR_COMMENT,
    NC_TIR_ASM,
    NC_TIR_PUSH,
    NC_TIR_POP,
    NC_TIR_DUP,
    NC_TIR_SWAP,
    NC_TIR_ADD,
    NC_TIR_SUB,
    NC_TIR_MUL,
    NC_TIR_NEG,
    NC_TIR_INVERT,
    NC_TIR_EQ,
    NC_TIR_LT,
    NC_TIR_AND,
    NC_TIR_OR,
    NC_TIR_XOR,
    NC_TIR_POP_COUNT,
    NC_TIR_SPLIT,
    NC_TIR_DIV_MOD,
    NC_TIR_SHL,
    NC_TIR_SHR,
    NC_TIR_LOG2,
    NC_TIR_POW,
    NC_TIR_READ_IO,
    NC_TIR_WRITE_IO,
    NC_TIR_READ_MEM,
    NC_TIR_WRITE_MEM,
    NC_TIR_ASSERT,
    NC_TIR_HASH,
    NC_TIR_REVEAL,
    NC_TIR_SEAL,
    NC_TIR_RAM_READ,
    NC_TIR_RAM_WRITE,
    NC_TIR_HINT,
    NC_TIR_SPONGE_INIT,
    NC_TIR_SPONGE_ABSORB,
    NC_TIR_SPONGE_SQUEEZE,
    NC_TIR_SPONGE_LOAD,
    NC_TIR_MERKLE_STEP,
    NC_TIR_MERKLE_LOAD,
    NC_TIR_EXT_MUL,
    NC_TIR_EXT_INVERT,
    NC_TIR_FOLD_EXT,
    NC_TIR_FOLD_BASE,
    NC_TIR_PROOF_BLOCK,
    NC_TIR_KIND_COUNT
} nc_tir_kind;

/* One operation as the builder takes it. value: the pushed constant, the count or index of
 * pop, dup, swap, io, memory, assert, hash and hint, the tag of reveal and seal, the declared
 * stack effect of asm (two's complement). fields: of reveal and seal. text: label, name, hash,
 * comment, or the lines of asm. */
typedef struct nc_tir_op {
    nc_tir_kind kind;
    uint32_t fields;
    uint64_t value;
    const char *text;
} nc_tir_op;

/* A TIR program: a tree of operations. */
typedef struct nc_tir_program nc_tir_program;

/* Rows of the six tables in the compiler's static model. */
typedef struct nc_tir_heights {
    uint64_t processor, hash, u32, op_stack, ram, jump_stack;
} nc_tir_heights;

/* What a program reads while it runs. Arrays may be null when their count is 0. RAM cells that
 * nobody set are 0. */
typedef struct nc_tir_input {
    const nc_gl *public_input;
    const nc_gl *secret_input;
    const nc_gl *secret_digests; /* 5 elements each */
    const nc_gl *ram;            /* pairs of address and value */
    size_t public_count, secret_count, digest_count, ram_count;
    uint64_t max_cycles; /* 0: 2^24 */
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
    uint32_t reserved;
    nc_gl stack[16]; /* stack[0] = st0, the top */
    uint64_t depth;  /* elements on the operational stack */
    nc_gl *output;   /* nc_tir_free_output */
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

/* Which machine the lowering is for. */
typedef enum nc_tir_target {
    NC_TIR_TARGET_TRIDENT = 0, /* what the compiler emits, byte for byte */
    NC_TIR_TARGET_TRITON = 1   /* instructions of the present Triton VM only */
} nc_tir_target;

/* Why a block is shorter. */
typedef enum nc_tir_reason {
    NC_TIR_REASON_NONE = 0,  /* it is as it was */
    NC_TIR_REASON_STACK = 1, /* fewer stack instructions do */
    NC_TIR_REASON_TABLE = 2  /* it has fewer rows in the hash, u32 or RAM table too */
} nc_tir_reason;

/* One straight-line block as the optimiser met it. */
typedef struct nc_tir_block {
    uint32_t instruction; /* of its first instruction in the lowered code, counted from 0 */
    uint32_t before, after;
    float bound; /* optimistic: operations, copies and pops that no order of them can avoid */
    nc_tir_reason reason;
} nc_tir_block;

/* A block as field elements: 32 nodes of 4 words (head: opcode plus 1 in 6 bits, type in 3, makers
 * of the upper two operands in 5 each; first and last instruction of its life, 32 when it lives
 * on; immediate), then a word for each of st0 .. st15 at the start (bit 0: used as a u32; from bit
 * 3: one more than the node that last reads it, or 0). */
#define NC_TIR_BLOCK_NODES 32
#define NC_TIR_BLOCK_WORDS 144

/* The network: weights of the encoder, the decoder and their embeddings, in fixed point. */
typedef struct nc_tir_model nc_tir_model;

/* 16 weight vectors and the blocks they are scored on. */
typedef struct nc_tir_evolution nc_tir_evolution;
/* Weights that get better between compilations. */
typedef struct nc_tir_trainer nc_tir_trainer;
/* The network's kernel on a device; with NC_GPU. */
typedef struct nc_tir_gpu nc_tir_gpu;

/* Zero means default. */
typedef struct nc_tir_imitation {
    uint32_t epochs; /* over all lessons; 0: 20 */
    uint32_t beam;   /* of the search that makes the lessons; 0: 256 */
    float rate;      /* of AdamW at the start; 0: 0.001 */
    uint32_t reserved;
    uint64_t seed;           /* of the order of blocks */
    nc_progress_fn progress; /* files searched, then epochs done */
    void *user;
} nc_tir_imitation;

/* What imitation saw: in the last epoch, mean cross entropy and share of moves ranked first. */
typedef struct nc_tir_lesson_report {
    uint32_t blocks, lessons;
    double loss, accuracy;
} nc_tir_lesson_report;

/* Zero means default. */
typedef struct nc_tir_options {
    nc_tir_target target; /* of nc_tir_optimize and nc_tir_optimize_text */
    uint32_t beam;        /* states kept per step; 0: 32 */
    uint32_t block;       /* instructions searched as one block; 0: 32, which the network sees */
    const nc_tir_model *model; /* guides the search; null: no network */
    uint32_t guide;            /* weight of its log-probability, in 1/64 instruction; 0: 4 */
    uint32_t whole;          /* 1: a whole program that nothing calls into: functions may go too */
    nc_progress_fn progress; /* called before each block with instructions done and in all */
    void *progress_user;
    void (*on_block)(void *user, const nc_tir_block *block); /* called after each block; or null */
    void *on_block_user;
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
} nc_tir_report;

/* >>api ============================================================================ */

/* -- programs ---------------------------------------------------------------------------- */

/* An empty program; free with nc_tir_destroy. */
NC_API nc_status nc_tir_create(nc_tir_program **program);
/* Release; null is fine. */
NC_API void nc_tir_destroy(nc_tir_program *program);
/* Append an operation. if_else, if_only, loop and proof_block open a body that nc_tir_else and
 * nc_tir_end continue. Text is copied. NC_ERR_ARG for a value or text out of its range. */
NC_API nc_status nc_tir_append(nc_tir_program *program, const nc_tir_op *op);
/* Start the else branch of the innermost open if_else. NC_ERR_ARG when there is none. */
NC_API nc_status nc_tir_else(nc_tir_program *program);
/* Close the innermost open body. NC_ERR_ARG when none is open. */
NC_API nc_status nc_tir_end(nc_tir_program *program);
/* Number of operations, nested ones included. */
NC_API size_t nc_tir_size(const nc_tir_program *program);
/* Read the text form: one operation a line, bodies closed by `end`. Errors carry line and
 * column. Limits: 2^20 operations, 64 nested bodies (NC_ERR_LIMIT). */
NC_API nc_status nc_tir_parse(nc_tir_program **program, const char *text, size_t bytes,
                              nc_error *err);
/* Write the text form; *text ends with a NUL and is freed with nc_tir_free_text. NC_ERR_ARG
 * while a body is open. */
NC_API nc_status nc_tir_write(const nc_tir_program *program, char **text);
/* Free text made by this header; null is fine. */
NC_API void nc_tir_free_text(char *text);

/* -- lowering, profile, machine ------------------------------------------------------------ */

/* The compiler's clean-up before lowering, rule for rule, as a new program: what nc_tir_lower
 * takes to give what the compiler emits. Two of its rules are the compiler's own and keep the
 * meaning only where its code generator puts them: a value stored once and loaded once stays on
 * the stack, and chains of falling `swap, pop` become one swap. NC_ERR_ARG while a body is open. */
NC_API nc_status nc_tir_peephole(const nc_tir_program *program, nc_tir_program **result);
/* The classical lowering. NC_ERR_UNSUPPORTED for NC_TIR_TARGET_TRITON where the program has a dup
 * or swap beyond 15, which the compiler emits but no machine runs. */
NC_API nc_status nc_tir_lower(const nc_tir_program *program, nc_tir_target target, char **tasm);
/* Heights of TASM text in the compiler's static model: rows in text order, nothing is run. */
NC_API nc_status nc_tir_profile_static(const char *tasm, nc_tir_heights *heights, nc_error *err);
/* The largest height and its table's name (null pointer allowed); the cost of the model is the
 * next power of two of it. */
NC_API uint64_t nc_tir_tallest(const nc_tir_heights *heights, const char **table);
/* The power of two that holds `height` rows; 1 for 0. */
NC_API uint64_t nc_tir_padded(uint64_t height);
/* Number of instructions in TASM text; errors of the text as in nc_tir_execute. */
NC_API nc_status nc_tir_count(const char *tasm, uint32_t *instructions, nc_error *err);
/* Run TASM on the interpreter. NC_OK when it ran, whatever the outcome; NC_ERR_FORMAT with line
 * and column for text that is not a program. Free result->output with nc_tir_free_output. */
NC_API nc_status nc_tir_execute(const char *tasm, const nc_tir_input *input,
                                nc_tir_execution *result, nc_error *err);
/* Release result->output. */
NC_API void nc_tir_free_output(nc_tir_execution *result);
/* The tallest table of a run and its name (null pointer allowed); padded_height minus it is the
 * distance to the cliff. */
NC_API uint64_t nc_tir_tallest_run(const nc_tir_execution *run, const char **table);
/* Run TASM on `count` sample inputs; *worst is the run with the largest padded height and, among
 * equals, the tallest table (free its output). NC_ERR_MISMATCH when a run does not halt: *worst is
 * that run. */
NC_API nc_status nc_tir_profile_dynamic(const char *tasm, const nc_tir_input *inputs, size_t count,
                                        nc_tir_execution *worst, nc_error *err);
/* Text for an outcome. */
NC_API const char *nc_tir_outcome_str(nc_tir_outcome outcome);

/* -- the network ------------------------------------------------------------------------------ */

/* 90,816 parameters of encoder and decoder; *embedding (null allowed): what their input embeddings
 * add. */
NC_API size_t nc_tir_model_parameters(size_t *embedding);
/* Random weights from a seed. */
NC_API nc_status nc_tir_model_create(nc_tir_model **model, uint64_t seed);
/* The same weights again. */
NC_API nc_status nc_tir_model_copy(nc_tir_model **copy, const nc_tir_model *model);
/* Release; null is fine. */
NC_API void nc_tir_model_destroy(nc_tir_model *model);
/* Poseidon2 digest (trident parameters) of the weights: their identity. */
NC_API void nc_tir_model_digest(const nc_tir_model *model, nc_gl digest[4]);
/* A weights file in memory. NC_ERR_FORMAT, also for a weight of 8 or more; NC_ERR_UNSUPPORTED for
 * another version, NC_ERR_MISMATCH for another network or weights that their digest does not match.
 */
NC_API nc_status nc_tir_model_read(nc_tir_model **model, const void *data, size_t bytes,
                                   nc_error *err);
#ifndef NC_NO_STDIO
/* The same from a file. */
NC_API nc_status nc_tir_model_load(nc_tir_model **model, const char *path, nc_error *err);
/* Write the weights file, atomically. */
NC_API nc_status nc_tir_model_save(const nc_tir_model *model, const char *path, nc_error *err);
#endif
/* Encode straight-line TASM of at most 32 instructions. NC_ERR_LIMIT beyond, NC_ERR_FORMAT for
 * labels and jumps. */
NC_API nc_status nc_tir_encode(const char *tasm, nc_gl words[NC_TIR_BLOCK_WORDS], nc_error *err);
/* The TASM of an encoded block. NC_ERR_FORMAT for words that encode none. */
NC_API nc_status nc_tir_decode(const nc_gl words[NC_TIR_BLOCK_WORDS], char **tasm);
/* Encoder: latents (blocks x 32 x 64) of `blocks` encoded blocks; rows beyond a block's nodes are
 * 0. The bits are the same on every machine. NC_ERR_FORMAT for words that encode no block. */
NC_API nc_status nc_tir_model_forward(const nc_tir_model *model, const nc_gl *words, size_t blocks,
                                      nc_fixed *latents);
#ifdef NC_GPU
/* The network on a device (nc_gpu.h); close before the device. */
NC_API nc_status nc_tir_gpu_open(nc_tir_gpu **gpu, nc_gpu *device);
/* Release; null is fine. */
NC_API void nc_tir_gpu_close(nc_tir_gpu *gpu);
/* nc_tir_model_forward of `count` models on the same blocks, to the bit, at once: latents (count x
 * blocks x 32 x 64). NC_ERR_LIMIT for more than 65,535 of either or beyond the device's buffers;
 * NC_ERR_DEVICE: the text is in nc_gpu_last_error. */
NC_API nc_status nc_tir_gpu_forward(nc_tir_gpu *gpu, const nc_tir_model *const *models,
                                    size_t count, const nc_gl *words, size_t blocks,
                                    nc_fixed *latents);
#endif
/* Warm start: train the model to choose the moves that a wide search without it ends with, on the
 * straight-line blocks of `count` TASM texts. report may be null. NC_ERR_CANCELLED leaves the model
 * as it was. */
NC_API nc_status nc_tir_imitate(nc_tir_model *model, const char *const *tasm, size_t count,
                                const nc_tir_imitation *options, nc_tir_lesson_report *report,
                                nc_error *err);

/* Evolution from given weights: each generation keeps the best four of sixteen and breeds twelve
 * from them, each weight from one parent or the other and one in a hundred changed. The result
 * depends on the seed and the batch only, not on threads. */
NC_API nc_status nc_tir_evolution_create(nc_tir_evolution **evolution, const nc_tir_model *start,
                                         uint64_t seed);
/* Release; null is fine. */
NC_API void nc_tir_evolution_destroy(nc_tir_evolution *evolution);
/* Add the blocks of TASM text to the batch, each different one once; at most 4,096 are kept. */
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
#ifdef NC_GPU
/* Let a device compute the latents (null: none, the processor does). The generations stay the same
 * to the bit; a device that fails ends the run with its status. It must outlive the evolution. */
NC_API void nc_tir_evolution_use_gpu(nc_tir_evolution *evolution, nc_tir_gpu *gpu);
#endif
#ifndef NC_NO_STDIO
/* Write weights, costs and generation to a file, atomically; the batch is not in it. */
NC_API nc_status nc_tir_evolution_save(const nc_tir_evolution *evolution, const char *path,
                                       nc_error *err);
/* Go on from such a file: with the same batch the next generation is the one that would have
 * followed. On an error the evolution stays as it was. */
NC_API nc_status nc_tir_evolution_load(nc_tir_evolution *evolution, const char *path,
                                       nc_error *err);
#endif

/* A trainer with the weights of the file at `path` (null: ~/.trident/neural/weights.bin), or with
 * `start` where there is none yet. A damaged file is an error: go on without a network. */
NC_API nc_status nc_tir_trainer_create(nc_tir_trainer **trainer, const char *path,
                                       const nc_tir_model *start, uint64_t seed, nc_error *err);
/* Stop and release; null is fine. */
NC_API void nc_tir_trainer_destroy(nc_tir_trainer *trainer);
/* The weights to compile with, valid until the next wait, stop or destroy. */
NC_API const nc_tir_model *nc_tir_trainer_model(const nc_tir_trainer *trainer);
/* Remember the blocks of lowered code. NC_ERR_ARG while it trains. */
NC_API nc_status nc_tir_trainer_collect(nc_tir_trainer *trainer, const char *tasm, nc_error *err);
/* Train in the background (generations 0: 20) on one half of the blocks; weights that are also
 * better on the other half are written to the file and used after wait or stop. */
NC_API nc_status nc_tir_trainer_start(nc_tir_trainer *trainer, uint32_t generations, nc_error *err);
/* Wait for the end of the training. The status is that of the training. */
NC_API nc_status nc_tir_trainer_wait(nc_tir_trainer *trainer);
/* End the training within 100 ms, with what it has written. */
NC_API nc_status nc_tir_trainer_stop(nc_tir_trainer *trainer);
/* How often better weights were taken over. */
NC_API uint32_t nc_tir_trainer_promotions(const nc_tir_trainer *trainer);

/* -- proofs and optimisation ----------------------------------------------------------------- */

/* Prove two straight-line TASM sequences equivalent: same stack, same effects in order, same
 * crash conditions, same least stack depth. Sound: NC_TIR_PROVEN is never wrong; other verdicts
 * only say that no proof was found. */
NC_API nc_tir_verdict nc_tir_verify(const char *before, const char *after);
/* Text for a verdict. */
NC_API const char *nc_tir_verdict_str(nc_tir_verdict verdict);
/* Lower and replace blocks by cheaper proven ones. Deterministic; the result is never costlier
 * than nc_tir_lower in any table of the static model. options and report may be null. Errors:
 * NC_ERR_CANCELLED by the progress callback, NC_ERR_FORMAT for asm that is not TASM, NC_ERR_ARG. */
NC_API nc_status nc_tir_optimize(const nc_tir_program *program, const nc_tir_options *options,
                                 char **tasm, nc_tir_report *report, nc_error *err);
/* The same for TASM text: a module, or a linked program. Comments are dropped; the names of
 * functions stay, those that the lowering invents (__then__, __else__, __loop__) may go. */
NC_API nc_status nc_tir_optimize_tasm(const char *tasm, const nc_tir_options *options,
                                      char **optimized, nc_tir_report *report, nc_error *err);
/* The whole road in one call, for other languages: TIR text in, TASM text and the report as a JSON
 * object out (json may be null). Free both with nc_tir_free_text. */
NC_API nc_status nc_tir_optimize_text(const char *tir, size_t bytes, const nc_tir_options *options,
                                      char **tasm, char **json, nc_error *err);
/* The report as a JSON object. */
NC_API nc_status nc_tir_report_json(const nc_tir_report *report, char **json);

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
#ifndef NC_ASSERT /* checks of debug builds; nothing unless the user says what */
#define NC_ASSERT(condition) ((void)0)
#endif
#ifndef NC_MAX_FILE_BYTES /* files larger than this are refused, not read */
#define NC_MAX_FILE_BYTES (SIZE_MAX > UINT32_MAX ? (size_t)1 << 16 << 16 : (size_t)1 << 30)
#endif
#if !defined(NC_NO_STDIO) && (defined(__unix__) || defined(__APPLE__))
#define NC__POSIX_FILES 1
#include <errno.h>
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

/* Several C files may each hold the implementation of a different header: what all of them define
 * is weak where that exists. */
#if defined(__GNUC__) && !defined(NC_STATIC) && !defined(_WIN32)
#define NC__SHARED NC_API __attribute__((weak))
#else
#define NC__SHARED NC_API
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

/* A file being written: under a temporary name beside its target, which it replaces when it is
 * closed, so that a crash or a full disk leaves the old file whole; straight into what is no
 * regular file (a device, a pipe), which a rename would remove. */
typedef struct nc__writer {
#if defined(NC__POSIX_FILES)
    int fd;
#else
    FILE *file;
#endif
    int ok, direct;
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
        const char *slash = strrchr(path, '/');
        size_t keep, n;
        long got;
        if (nc__descriptor(path) >= 0 || !strncmp(path, "/proc/", 6)) return 1;
        got = (long)readlink(path, link, sizeof link - 1);
        if (got < 0) return 1;
        n = (size_t)got;
        keep = slash && link[0] != '/' ? (size_t)(slash - path) + 1 : 0;
        if (keep + n >= room) return 0;
        memcpy(path + keep, link, n);
        path[keep + n] = 0;
    }
    return 0;
}

/* Make the renamed directory entry durable too; best effort, some file systems refuse. */
static void nc__sync_directory(char *path) {
    char *slash = strrchr(path, '/');
    int fd;
    if (slash) slash[1] = 0;
    fd = open(slash ? path : ".", O_RDONLY);
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
#if defined(NC__POSIX_FILES)
    w->fd = -1;
    w->ok = nc__writer_create(w);
#else
    snprintf(w->temporary, sizeof w->temporary, "%s.tmp%lx", path,
             (unsigned long)((uintptr_t)w >> 4));
    w->file = fopen(w->temporary, "wb");
    w->ok = w->file != NULL;
#endif
    return w->ok ? NC_OK : nc__fail(err, NC_ERR_IO, 0, 0, "cannot create '%.120s'", path);
}

/* Does nothing after an error, which nc__writer_close reports. */
static NC_UNUSED void nc__writer_put(nc__writer *w, const void *data, size_t bytes) {
#if defined(NC__POSIX_FILES)
    const char *at = (const char *)data;
    while (w->ok && bytes) {
        const size_t piece = bytes < (size_t)1 << 30 ? bytes : (size_t)1 << 30;
        const long n = (long)write(w->fd, at, piece);
        w->ok = n > 0 || (n < 0 && errno == EINTR);
        if (n <= 0) continue;
        at += n;
        bytes -= (size_t)n;
    }
#else
    w->ok = w->ok && (bytes == 0 || fwrite(data, 1, bytes, w->file) == bytes);
#endif
}

/* Put the file in its place, or with keep 0, and after an error, leave everything as it was. */
static NC_UNUSED nc_status nc__writer_close(nc__writer *w, int keep, nc_error *err) {
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
    if (!w->direct && (!w->ok || !keep)) (void)remove(w->temporary);
    if (!w->ok) return nc__fail(err, NC_ERR_IO, 0, 0, "cannot write '%.120s'", w->target);
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
#endif /* NC_NO_STDIO */
#endif
/* ==== end of nc base implementation ================================================ */

#include <math.h>
#if (defined(__unix__) || defined(__APPLE__)) && !defined(NC_TIR_NO_THREADS)
#include <pthread.h>
#include <sys/stat.h>
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
/* An array without elements; stbds_arrsetlen compares with 0, which some compilers warn of. */
#ifndef NC__EMPTY
#define NC__EMPTY(array) (void)((array) && (stbds_header(array)->length = 0))
#endif
/* ==== end of nc stb_ds ============================================================== */

/* >>tasm =========================================================================== */

/* Channels that order effects: what an instruction reads or changes beside the stack. */
enum { NC_TIR__NONE, NC_TIR__PUBLIC_IN, NC_TIR__SECRET, NC_TIR__OUT, NC_TIR__RAM, NC_TIR__SPONGE };

/* Kinds of argument. */
enum { NC_TIR__NO_ARG, NC_TIR__FIELD, NC_TIR__COUNT, NC_TIR__INDEX, NC_TIR__LABEL };

/* Instruction flags. */
enum {
    NC_TIR__JUMP = 1,   /* ends straight-line code */
    NC_TIR__CRASH = 2,  /* may crash on its operands or inputs */
    NC_TIR__WRITES = 4, /* changes its channel (else it only reads it) */
    NC_TIR__SWAPS = 8,  /* commutative in its two operands */
    NC_TIR__OLD = 16    /* not in the present Triton VM */
};

enum {
    NC_TIR__I_PUSH,
    NC_TIR__I_POP,
    NC_TIR__I_DIVINE,
    NC_TIR__I_PICK,
    NC_TIR__I_PLACE,
    NC_TIR__I_DUP,
    NC_TIR__I_SWAP,
    NC_TIR__I_HALT,
    NC_TIR__I_NOP,
    NC_TIR__I_SKIZ,
    NC_TIR__I_CALL,
    NC_TIR__I_RETURN,
    NC_TIR__I_RECURSE,
    NC_TIR__I_RECURSE_OR_RETURN,
    NC_TIR__I_ASSERT,
    NC_TIR__I_READ_MEM,
    NC_TIR__I_WRITE_MEM,
    NC_TIR__I_HASH,
    NC_TIR__I_ASSERT_VECTOR,
    NC_TIR__I_SPONGE_INIT,
    NC_TIR__I_SPONGE_ABSORB,
    NC_TIR__I_SPONGE_ABSORB_MEM,
    NC_TIR__I_SPONGE_SQUEEZE,
    NC_TIR__I_ADD,
    NC_TIR__I_ADDI,
    NC_TIR__I_MUL,
    NC_TIR__I_INVERT,
    NC_TIR__I_EQ,
    NC_TIR__I_SPLIT,
    NC_TIR__I_LT,
    NC_TIR__I_AND,
    NC_TIR__I_XOR,
    NC_TIR__I_LOG2,
    NC_TIR__I_POW,
    NC_TIR__I_DIV_MOD,
    NC_TIR__I_POP_COUNT,
    NC_TIR__I_XX_ADD,
    NC_TIR__I_XX_MUL,
    NC_TIR__I_X_INVERT,
    NC_TIR__I_XB_MUL,
    NC_TIR__I_READ_IO,
    NC_TIR__I_WRITE_IO,
    NC_TIR__I_MERKLE_STEP,
    NC_TIR__I_MERKLE_STEP_MEM,
    NC_TIR__I_B_HORNER,
    NC_TIR__I_X_HORNER,
    NC_TIR__I_OR,
    NC_TIR__I_XX_DOT,
    NC_TIR__I_XB_DOT,
    NC_TIR__I_COUNT
};

/* pops and pushes exclude the count argument, which adds to `per_count` side. */
typedef struct nc_tir__instruction {
    const char *name;
    uint8_t opcode, arg, pops, pushes;
    int8_t per_count; /* with NC_TIR__COUNT: -1 pops n more, +1 pushes n more */
    uint8_t channel, flags;
    uint8_t cost[6]; /* static model: processor, hash, u32, op_stack, ram, jump_stack */
} nc_tir__instruction;

#define NC_TIR__STACK_ROW                                                                          \
    { 1, 0, 0, 1, 0, 0 }
#define NC_TIR__PLAIN_ROW                                                                          \
    { 1, 0, 0, 0, 0, 0 }
#define NC_TIR__JUMP_ROW                                                                           \
    { 1, 0, 0, 0, 0, 1 }
static const nc_tir__instruction nc_tir__table[NC_TIR__I_COUNT] = {
    {"push", 1, NC_TIR__FIELD, 0, 1, 0, 0, 0, NC_TIR__STACK_ROW},
    {"pop", 3, NC_TIR__COUNT, 0, 0, -1, 0, 0, NC_TIR__STACK_ROW},
    {"divine", 9, NC_TIR__COUNT, 0, 0, 1, NC_TIR__SECRET, 6, NC_TIR__STACK_ROW},
    {"pick", 17, NC_TIR__INDEX, 0, 0, 0, 0, 0, NC_TIR__STACK_ROW},
    {"place", 25, NC_TIR__INDEX, 0, 0, 0, 0, 0, NC_TIR__STACK_ROW},
    {"dup", 33, NC_TIR__INDEX, 0, 1, 0, 0, 0, NC_TIR__STACK_ROW},
    {"swap", 41, NC_TIR__INDEX, 0, 0, 0, 0, 0, NC_TIR__STACK_ROW},
    {"halt", 0, 0, 0, 0, 0, 0, 1, NC_TIR__PLAIN_ROW},
    {"nop", 8, 0, 0, 0, 0, 0, 0, NC_TIR__PLAIN_ROW},
    {"skiz", 2, 0, 1, 0, 0, 0, 1, NC_TIR__STACK_ROW},
    {"call", 49, NC_TIR__LABEL, 0, 0, 0, 0, 1, NC_TIR__JUMP_ROW},
    {"return", 16, 0, 0, 0, 0, 0, 1, NC_TIR__JUMP_ROW},
    {"recurse", 24, 0, 0, 0, 0, 0, 1, NC_TIR__JUMP_ROW},
    {"recurse_or_return", 32, 0, 0, 0, 0, 0, 1, NC_TIR__JUMP_ROW},
    {"assert", 10, 0, 1, 0, 0, 0, 2, NC_TIR__STACK_ROW},
    {"read_mem", 57, NC_TIR__COUNT, 1, 1, 1, NC_TIR__RAM, 0, {2, 0, 0, 2, 0, 0}},
    {"write_mem", 11, NC_TIR__COUNT, 1, 1, -1, NC_TIR__RAM, 4, {2, 0, 0, 2, 0, 0}},
    {"hash", 18, 0, 10, 5, 0, 0, 0, {1, 6, 0, 1, 0, 0}},
    {"assert_vector", 26, 0, 10, 5, 0, 0, 2, NC_TIR__STACK_ROW},
    {"sponge_init", 40, 0, 0, 0, 0, NC_TIR__SPONGE, 4, {1, 6, 0, 0, 0, 0}},
    {"sponge_absorb", 34, 0, 10, 0, 0, NC_TIR__SPONGE, 6, {1, 6, 0, 1, 0, 0}},
    {"sponge_absorb_mem", 48, 0, 5, 5, 0, NC_TIR__SPONGE, 6, {1, 6, 0, 1, 10, 0}},
    {"sponge_squeeze", 56, 0, 0, 10, 0, NC_TIR__SPONGE, 6, {1, 6, 0, 1, 0, 0}},
    {"add", 42, 0, 2, 1, 0, 0, 8, NC_TIR__STACK_ROW},
    {"addi", 65, NC_TIR__FIELD, 1, 1, 0, 0, 0, NC_TIR__PLAIN_ROW},
    {"mul", 50, 0, 2, 1, 0, 0, 8, NC_TIR__STACK_ROW},
    {"invert", 64, 0, 1, 1, 0, 0, 2, NC_TIR__STACK_ROW},
    {"eq", 58, 0, 2, 1, 0, 0, 8, NC_TIR__STACK_ROW},
    {"split", 4, 0, 1, 2, 0, 0, 0, NC_TIR__STACK_ROW},
    {"lt", 6, 0, 2, 1, 0, 0, 2, {1, 0, 33, 1, 0, 0}},
    {"and", 14, 0, 2, 1, 0, 0, 10, {1, 0, 33, 1, 0, 0}},
    {"xor", 22, 0, 2, 1, 0, 0, 10, {1, 0, 33, 1, 0, 0}},
    {"log_2_floor", 12, 0, 1, 1, 0, 0, 2, {1, 0, 33, 0, 0, 0}},
    {"pow", 30, 0, 2, 1, 0, 0, 2, {1, 0, 33, 1, 0, 0}},
    {"div_mod", 20, 0, 2, 2, 0, 0, 2, {1, 0, 33, 1, 0, 0}},
    {"pop_count", 28, 0, 1, 1, 0, 0, 2, {1, 0, 33, 0, 0, 0}},
    {"xx_add", 66, 0, 6, 3, 0, 0, 0, NC_TIR__PLAIN_ROW},
    {"xx_mul", 74, 0, 6, 3, 0, 0, 0, NC_TIR__PLAIN_ROW},
    {"x_invert", 72, 0, 3, 3, 0, 0, 2, NC_TIR__PLAIN_ROW},
    {"xb_mul", 82, 0, 4, 3, 0, 0, 0, NC_TIR__PLAIN_ROW},
    {"read_io", 73, NC_TIR__COUNT, 0, 0, 1, NC_TIR__PUBLIC_IN, 6, NC_TIR__STACK_ROW},
    {"write_io", 19, NC_TIR__COUNT, 0, 0, -1, NC_TIR__OUT, 4, NC_TIR__STACK_ROW},
    {"merkle_step", 36, 0, 6, 6, 0, NC_TIR__SECRET, 6, {1, 6, 33, 0, 0, 0}},
    {"merkle_step_mem", 44, 0, 8, 8, 0, NC_TIR__RAM, 2, {1, 6, 33, 0, 5, 0}},
    {"b_horner_step", 80, 0, 11, 11, 0, NC_TIR__RAM, 0, NC_TIR__PLAIN_ROW},
    {"x_horner_step", 88, 0, 11, 11, 0, NC_TIR__RAM, 0, NC_TIR__PLAIN_ROW},
    {"or", 0, 0, 2, 1, 0, 0, 26, NC_TIR__PLAIN_ROW},
    {"xx_dot_step", 0, 0, 5, 5, 0, NC_TIR__RAM, 16, NC_TIR__PLAIN_ROW},
    {"xb_dot_step", 0, 0, 5, 5, 0, NC_TIR__RAM, 16, NC_TIR__PLAIN_ROW},
};
#undef NC_TIR__STACK_ROW
#undef NC_TIR__PLAIN_ROW
#undef NC_TIR__JUMP_ROW

/* One TASM instruction. A label argument is an index into the labels of its code. */
typedef struct nc_tir__tasm {
    uint64_t arg;
    uint32_t op;
    uint32_t line;
} nc_tir__tasm;

typedef struct nc_tir__label {
    char *key;     /* stb_ds string map */
    int32_t value; /* instruction index, or -1 while only called */
} nc_tir__label;

typedef struct nc_tir__code {
    nc_tir__tasm *list; /* stb_ds array */
    nc_tir__label *labels;
} nc_tir__code;

static void nc_tir__code_free(nc_tir__code *code) {
    stbds_arrfree(code->list);
    stbds_shfree(code->labels);
}

static uint32_t nc_tir__pops(const nc_tir__tasm *t) {
    const nc_tir__instruction *i = &nc_tir__table[t->op];
    return i->pops + (i->per_count < 0 ? (uint32_t)t->arg : 0);
}

static uint32_t nc_tir__pushes(const nc_tir__tasm *t) {
    const nc_tir__instruction *i = &nc_tir__table[t->op];
    return i->pushes + (i->per_count > 0 ? (uint32_t)t->arg : 0);
}

/* Static rows of one instruction, added to heights. */
static void nc_tir__add_rows(nc_tir_heights *h, const nc_tir__tasm *t) {
    const uint8_t *cost = nc_tir__table[t->op].cost;
    h->processor += cost[0];
    h->hash += cost[1];
    h->u32 += cost[2];
    h->op_stack += cost[3];
    h->ram += cost[4];
    h->jump_stack += cost[5];
    if (t->op == NC_TIR__I_READ_MEM || t->op == NC_TIR__I_WRITE_MEM) h->ram += t->arg;
}

/* Static rows of straight or any other code, in text order. */
static void nc_tir__sum_rows(nc_tir_heights *h, const nc_tir__tasm *list, size_t n) {
    size_t i;
    memset(h, 0, sizeof *h);
    for (i = 0; i < n; i++) nc_tir__add_rows(h, &list[i]);
}

/* Whether the n characters at text spell name. */
static int nc_tir__is(const char *text, size_t n, const char *name) {
    return strlen(name) == n && memcmp(text, name, n) == 0;
}

static int nc_tir__find_op(const char *text, size_t n) {
    int i;
    for (i = 0; i < NC_TIR__I_COUNT; i++)
        if (nc_tir__is(text, n, nc_tir__table[i].name)) return i;
    return -1;
}

/* A possibly negative field constant; -a means p - a. */
static nc_status nc_tir__field(const char *text, size_t n, uint64_t *value) {
    int negative = n > 1 && text[0] == '-';
    nc_status status = nc_gl_parse(text + negative, n - (size_t)negative, value, NULL);
    if (status == NC_OK && negative) *value = nc_gl_neg(*value);
    return status;
}

/* Label map entry of a name of n characters; its index. */
static uint64_t nc_tir__label_of(nc_tir__code *code, const char *name, size_t n) {
    char key[128];
    ptrdiff_t at;
    if (n >= sizeof key) { /* cannot happen: the caller limits labels to 120 characters */
        n = sizeof key - 1;
    }
    memcpy(key, name, n);
    key[n] = 0;
    at = stbds_shgeti(code->labels, key);
    if (at < 0) {
        stbds_shput(code->labels, key, -1);
        at = stbds_shgeti(code->labels, key);
    }
    return (uint64_t)at;
}

/* A cursor over one line of text. */
typedef struct nc_tir__cursor {
    const char *at, *end, *start;
    size_t line;
} nc_tir__cursor;

/* The next run of non-blank characters; length 0 at the end of the line. */
static size_t nc_tir__word(nc_tir__cursor *c, const char **word) {
    while (c->at < c->end && (*c->at == ' ' || *c->at == '\t' || *c->at == '\r')) c->at++;
    *word = c->at;
    while (c->at < c->end && *c->at != ' ' && *c->at != '\t' && *c->at != '\r') c->at++;
    return (size_t)(c->at - *word);
}

static nc_status nc_tir__bad(const nc_tir__cursor *c, const char *word, const char *what,
                             nc_error *err) {
    return nc__fail(err, NC_ERR_FORMAT, c->line, (size_t)(word - c->start) + 1, "%s", what);
}

static nc_status nc_tir__read_instruction(nc_tir__cursor *c, int strict, nc_tir__code *code,
                                          const char *word, size_t n, nc_error *err) {
    nc_tir__tasm t;
    int op = nc_tir__find_op(word, n);
    if (op < 0) return nc_tir__bad(c, word, "unknown instruction", err);
    t.op = (uint32_t)op;
    t.arg = 0;
    t.line = (uint32_t)c->line;
    if (nc_tir__table[op].arg != NC_TIR__NO_ARG) {
        n = nc_tir__word(c, &word);
        if (n == 0) return nc_tir__bad(c, word, "the instruction needs an argument", err);
        if (nc_tir__table[op].arg == NC_TIR__LABEL) {
            if (n > 120) return nc_tir__bad(c, word, "label is too long", err);
            t.arg = nc_tir__label_of(code, word, n);
        } else if (nc_tir__field(word, n, &t.arg) != NC_OK) {
            return nc_tir__bad(c, word, "not a field element", err);
        } else if (nc_tir__table[op].arg == NC_TIR__COUNT && (t.arg < 1 || t.arg > 5)) {
            return nc_tir__bad(c, word, "the argument must be 1 to 5", err);
        } else if (nc_tir__table[op].arg == NC_TIR__INDEX && t.arg > (strict ? 15 : 255)) {
            return nc_tir__bad(c, word, "the argument must be 0 to 15", err);
        }
    }
    stbds_arrput(code->list, t);
    return NC_OK;
}

/* Read TASM: labels end with ':', comments run from // to the end of the line. Unless strict,
 * stack indices may exceed 15: nothing runs such code, but it can be measured. */
static nc_status nc_tir__read_tasm(const char *text, int strict, nc_tir__code *code,
                                   nc_error *err) {
    nc_tir__cursor c;
    nc_status status = NC_OK;
    memset(code, 0, sizeof *code);
    stbds_sh_new_strdup(code->labels);
    nc__clear(err);
    if (!text) return nc__fail(err, NC_ERR_ARG, 0, 0, "no text");
    for (c.line = 1; *text && status == NC_OK; c.line++) {
        const char *word;
        size_t n = strcspn(text, "\n"), i;
        if (stbds_arrlenu(code->list) >= 1u << 22)
            return nc__fail(err, NC_ERR_LIMIT, c.line, 1, "more than 2^22 instructions");
        c.start = c.at = text;
        c.end = text + n;
        for (i = 0; i + 1 < n; i++)
            if (text[i] == '/' && text[i + 1] == '/') c.end = text + i < c.end ? text + i : c.end;
        while ((n = nc_tir__word(&c, &word)) > 0 && status == NC_OK) {
            if (word[n - 1] == ':') {
                uint64_t label;
                if (n > 121) return nc_tir__bad(&c, word, "label is too long", err);
                if (n == 1) return nc_tir__bad(&c, word, "a label needs a name", err);
                label = nc_tir__label_of(code, word, n - 1);
                if (code->labels[label].value >= 0)
                    return nc_tir__bad(&c, word, "label is defined twice", err);
                code->labels[label].value = (int32_t)stbds_arrlen(code->list);
            } else {
                status = nc_tir__read_instruction(&c, strict, code, word, n, err);
            }
        }
        text += strcspn(text, "\n");
        if (*text) text++;
    }
    return status;
}

/* >>machine ======================================================================== */

/* Open-addressing map from three words to one: RAM cells and the set of u32 table entries.
 * (stb_ds's hash maps do not compile in strict C99 with gcc.) Never deletes. */
typedef struct nc_tir__cell {
    uint64_t key[3], value, used;
} nc_tir__cell;

typedef struct nc_tir__map {
    nc_tir__cell *cells;
    size_t capacity, count;
} nc_tir__map;

static size_t nc_tir__slot(const nc_tir__map *map, const uint64_t key[3]) {
    uint64_t h = (key[0] ^ (key[1] * UINT64_C(0x9E3779B97F4A7C15))) + key[2];
    size_t i;
    h = (h ^ (h >> 31)) * UINT64_C(0xBF58476D1CE4E5B9);
    for (i = (size_t)(h ^ (h >> 29)) & (map->capacity - 1); map->cells[i].used;
         i = (i + 1) & (map->capacity - 1))
        if (!memcmp(map->cells[i].key, key, 3 * sizeof *key)) break;
    return i;
}

/* The cell of a key, created with value 0; null when out of memory. *fresh tells. */
static nc_tir__cell *nc_tir__map_at(nc_tir__map *map, uint64_t a, uint64_t b, uint64_t c,
                                    int *fresh) {
    uint64_t key[3];
    size_t i;
    nc_tir__cell *cell;
    key[0] = a;
    key[1] = b;
    key[2] = c;
    if (2 * (map->count + 1) > map->capacity) {
        nc_tir__map larger;
        larger.capacity = map->capacity ? 2 * map->capacity : 64;
        larger.count = map->count;
        larger.cells = (nc_tir__cell *)nc__calloc(NULL, larger.capacity * sizeof *map->cells);
        if (!larger.cells) return NULL;
        for (i = 0; i < map->capacity; i++)
            if (map->cells[i].used)
                larger.cells[nc_tir__slot(&larger, map->cells[i].key)] = map->cells[i];
        nc__free(NULL, map->cells, map->capacity * sizeof *map->cells);
        *map = larger;
    }
    cell = &map->cells[nc_tir__slot(map, key)];
    *fresh = !cell->used;
    if (!cell->used) {
        memcpy(cell->key, key, sizeof key);
        cell->used = 1;
        map->count++;
    }
    return cell;
}

static void nc_tir__map_free(nc_tir__map *map) {
    nc__free(NULL, map->cells, map->capacity * sizeof *map->cells);
}

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
    int sponge_ready, no_memory;
    size_t public_used, secret_used, digests_used;
    uint32_t ip;
} nc_tir__vm;

static nc_gl nc_tir__st(const nc_tir__vm *vm, size_t i) { return vm->stack[vm->height - 1 - i]; }

static nc_gl nc_tir__pop_one(nc_tir__vm *vm) { return vm->stack[--vm->height]; }

static void nc_tir__push_one(nc_tir__vm *vm, nc_gl value) { vm->stack[vm->height++] = value; }

/* Room for one more instruction's pushes, ten at most. */
static int nc_tir__reserve(nc_tir__vm *vm) {
    size_t larger = vm->room ? 2 * vm->room : 256;
    nc_gl *grown;
    if (vm->height + 16 <= vm->room) return 1;
    grown = (nc_gl *)nc__alloc(NULL, larger * sizeof *grown);
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

/* Enter (op, lhs, rhs) into the u32 table: one row for a zero operand, else 2 + floor(log2). */
static void nc_tir__u32_entry(nc_tir__vm *vm, uint64_t op, nc_gl lhs, nc_gl rhs, nc_gl dominant) {
    int fresh = 0;
    if (!nc_tir__map_at(&vm->u32, op, lhs, rhs, &fresh)) vm->no_memory = 1;
    if (!fresh) return;
    vm->out->u32 += 1;
    if (dominant) vm->out->u32 += 1;
    while (dominant >>= 1) vm->out->u32 += 1;
}

enum {
    NC_TIR__U_SPLIT,
    NC_TIR__U_LT,
    NC_TIR__U_AND,
    NC_TIR__U_LOG2,
    NC_TIR__U_POW,
    NC_TIR__U_COUNT
};

static void nc_tir__u32_pair(nc_tir__vm *vm, uint64_t op, nc_gl lhs, nc_gl rhs) {
    nc_tir__u32_entry(vm, op, lhs, rhs, lhs > rhs ? lhs : rhs);
}

static nc_gl nc_tir__ram_get(nc_tir__vm *vm, nc_gl address) {
    int fresh;
    nc_tir__cell *cell = nc_tir__map_at(&vm->ram, address, 0, 0, &fresh);
    vm->out->ram++;
    if (!cell) {
        vm->no_memory = 1;
        return 0;
    }
    return cell->value;
}

static void nc_tir__ram_set(nc_tir__vm *vm, nc_gl address, nc_gl value) {
    int fresh;
    nc_tir__cell *cell = nc_tir__map_at(&vm->ram, address, 0, 0, &fresh);
    if (cell)
        cell->value = value;
    else
        vm->no_memory = 1;
}

static int nc_tir__is_u32(nc_gl a) { return a >> 32 == 0; }

/* Two u32 operands: b below a on the stack. */
static nc_tir_outcome nc_tir__u32_binary(nc_tir__vm *vm, uint32_t op) {
    nc_gl a = nc_tir__st(vm, 0), b = nc_tir__st(vm, 1), r = 0, q = 0;
    if (op == NC_TIR__I_POW) { /* base on top, exponent below: only that is a u32 */
        if (!nc_tir__is_u32(b)) return NC_TIR_CRASH_U32;
        nc_tir__u32_entry(vm, NC_TIR__U_POW, a, b, b);
        r = nc_gl_pow(a, b);
    } else {
        if (!nc_tir__is_u32(a) || !nc_tir__is_u32(b)) return NC_TIR_CRASH_U32;
        if (op == NC_TIR__I_DIV_MOD) { /* numerator on top, denominator below */
            if (b == 0) return NC_TIR_CRASH_ZERO;
            q = a / b;
            r = a % b;
            nc_tir__u32_pair(vm, NC_TIR__U_LT, r, b);
            nc_tir__u32_pair(vm, NC_TIR__U_SPLIT, a, q);
        } else if (op == NC_TIR__I_LT) {
            nc_tir__u32_pair(vm, NC_TIR__U_LT, a, b);
            r = a < b;
        } else if (op == NC_TIR__I_OR) { /* a + b - (a and b): never on the real machine */
            r = a | b;
        } else {
            nc_tir__u32_pair(vm, NC_TIR__U_AND, a, b);
            r = op == NC_TIR__I_AND ? a & b : a ^ b;
        }
    }
    (void)nc_tir__pop_one(vm);
    (void)nc_tir__pop_one(vm);
    if (op == NC_TIR__I_DIV_MOD) nc_tir__push_one(vm, q);
    nc_tir__push_one(vm, r);
    return NC_TIR_HALTED;
}

static nc_tir_outcome nc_tir__u32_unary(nc_tir__vm *vm, uint32_t op) {
    nc_gl a = nc_tir__st(vm, 0), r = 0;
    if (!nc_tir__is_u32(a)) return NC_TIR_CRASH_U32;
    if (op == NC_TIR__I_LOG2) {
        if (a == 0) return NC_TIR_CRASH_ZERO;
        nc_tir__u32_entry(vm, NC_TIR__U_LOG2, a, 0, a);
        while (a >> (r + 1)) r++;
    } else {
        nc_tir__u32_entry(vm, NC_TIR__U_COUNT, a, 0, a);
        for (; a; a &= a - 1) r++;
    }
    (void)nc_tir__pop_one(vm);
    nc_tir__push_one(vm, r);
    return NC_TIR_HALTED;
}

static nc_tir_outcome nc_tir__step_hash(nc_tir__vm *vm, uint32_t op) {
    nc_gl block[10], digest[5];
    nc_gl *st;
    int i;
    switch (op) {
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
    if (op == NC_TIR__I_SPONGE_SQUEEZE) {
        for (i = 9; i >= 0; i--) nc_tir__push_one(vm, vm->sponge[i]);
        nc_tir__permute(vm, vm->sponge);
        return NC_TIR_HALTED;
    }
    if (op == NC_TIR__I_SPONGE_ABSORB) {
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
static nc_tir_outcome nc_tir__step_merkle(nc_tir__vm *vm, int from_ram) {
    nc_gl *st = &vm->stack[vm->height - 1], both[10], digest[5];
    nc_gl index = st[-5];
    size_t own = index & 1 ? 5 : 0, i;
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

/* xx_add, xx_mul, x_invert, xb_mul and the horner and dot steps. */
static nc_tir_outcome nc_tir__step_extension(nc_tir__vm *vm, uint32_t op) {
    nc_gl a[3], b[3], c[3], *st;
    int i, n;
    st = &vm->stack[vm->height - 1];
    for (i = 0; i < 3; i++) a[i] = st[-i];
    if (op == NC_TIR__I_XX_ADD || op == NC_TIR__I_XX_MUL) {
        for (i = 0; i < 3; i++) b[i] = st[-3 - i];
        if (op == NC_TIR__I_XX_ADD)
            for (i = 0; i < 3; i++) c[i] = nc_gl_add(a[i], b[i]);
        else
            nc_gl_ext3_mul(c, a, b);
        n = 3;
    } else if (op == NC_TIR__I_X_INVERT) {
        if (nc_gl_ext3_inv(c, a) != NC_OK) return NC_TIR_CRASH_ZERO;
        n = 0;
    } else if (op == NC_TIR__I_XB_MUL) {
        for (i = 0; i < 3; i++) c[i] = nc_gl_mul(st[0], st[-1 - i]);
        n = 1;
    } else if (op == NC_TIR__I_B_HORNER || op == NC_TIR__I_X_HORNER) {
        int step = op == NC_TIR__I_B_HORNER ? 1 : 3;
        for (i = 0; i < 3; i++) b[i] = st[-7 - i];
        nc_gl_ext3_mul(c, a, b);
        for (i = 0; i < step; i++)
            c[step - 1 - i] =
                nc_gl_add(c[step - 1 - i], nc_tir__ram_get(vm, nc_gl_sub(st[-5], (nc_gl)i)));
        st[-5] = nc_gl_sub(st[-5], (nc_gl)step);
        for (i = 0; i < 3; i++) st[-7 - i] = c[i];
        return NC_TIR_HALTED;
    } else { /* dot steps: two pointers on top, an accumulator under them */
        int width = op == NC_TIR__I_XX_DOT ? 3 : 1;
        for (i = 0; i < width; i++) a[i] = nc_tir__ram_get(vm, nc_gl_add(st[0], (nc_gl)i));
        for (i = width; i < 3; i++) a[i] = 0;
        for (i = 0; i < 3; i++) b[i] = nc_tir__ram_get(vm, nc_gl_add(st[-1], (nc_gl)i));
        nc_gl_ext3_mul(c, a, b);
        st[0] = nc_gl_add(st[0], (nc_gl)width);
        st[-1] = nc_gl_add(st[-1], 3);
        for (i = 0; i < 3; i++) st[-2 - i] = nc_gl_add(st[-2 - i], c[i]);
        return NC_TIR_HALTED;
    }
    while (n-- > 0) (void)nc_tir__pop_one(vm);
    st = &vm->stack[vm->height - 1];
    for (i = 0; i < 3; i++) st[-i] = c[i];
    return NC_TIR_HALTED;
}

/* Everything that only moves field elements. */
static nc_tir_outcome nc_tir__step_plain(nc_tir__vm *vm, const nc_tir__tasm *t) {
    size_t i;
    nc_gl a = nc_tir__st(vm, 0), b = nc_tir__st(vm, 1), *st = &vm->stack[vm->height - 1];
    switch (t->op) {
    case NC_TIR__I_PUSH: nc_tir__push_one(vm, t->arg); break;
    case NC_TIR__I_DUP: nc_tir__push_one(vm, nc_tir__st(vm, (size_t)t->arg)); break;
    case NC_TIR__I_POP: vm->height -= (size_t)t->arg; break;
    case NC_TIR__I_SWAP:
        st[0] = *(st - t->arg);
        *(st - t->arg) = a;
        break;
    case NC_TIR__I_PICK:
        b = *(st - t->arg);
        for (i = (size_t)t->arg; i > 0; i--) *(st - i) = *(st - i + 1);
        st[0] = b;
        break;
    case NC_TIR__I_PLACE:
        for (i = 0; i < t->arg; i++) *(st - i) = *(st - i - 1);
        *(st - t->arg) = a;
        break;
    case NC_TIR__I_ADDI: st[0] = nc_gl_add(a, t->arg); break;
    case NC_TIR__I_INVERT:
        if (nc_gl_inv(a, st) != NC_OK) return NC_TIR_CRASH_ZERO;
        break;
    case NC_TIR__I_SPLIT:
        st[0] = a >> 32;
        nc_tir__push_one(vm, a & UINT64_C(0xFFFFFFFF));
        nc_tir__u32_pair(vm, NC_TIR__U_SPLIT, a & UINT64_C(0xFFFFFFFF), a >> 32);
        break;
    case NC_TIR__I_ADD:
    case NC_TIR__I_MUL:
    case NC_TIR__I_EQ:
        (void)nc_tir__pop_one(vm);
        st[-1] = t->op == NC_TIR__I_ADD   ? nc_gl_add(a, b)
                 : t->op == NC_TIR__I_MUL ? nc_gl_mul(a, b)
                                          : (nc_gl)(a == b);
        break;
    case NC_TIR__I_ASSERT:
        if (a != 1) return NC_TIR_CRASH_ASSERT;
        (void)nc_tir__pop_one(vm);
        break;
    case NC_TIR__I_ASSERT_VECTOR:
        for (i = 0; i < 5; i++)
            if (nc_tir__st(vm, i) != nc_tir__st(vm, i + 5)) return NC_TIR_CRASH_ASSERT;
        vm->height -= 5;
        break;
    default: break; /* nop */
    }
    return NC_TIR_HALTED;
}

/* Input, output and memory, one element at a time. */
static nc_tir_outcome nc_tir__step_io(nc_tir__vm *vm, const nc_tir__tasm *t) {
    size_t n = (size_t)t->arg, i;
    nc_gl pointer;
    switch (t->op) {
    case NC_TIR__I_DIVINE:
        if (vm->in->secret_count - vm->secret_used < n) return NC_TIR_CRASH_INPUT;
        for (i = 0; i < n; i++) nc_tir__push_one(vm, vm->in->secret_input[vm->secret_used++]);
        break;
    case NC_TIR__I_READ_IO:
        if (vm->in->public_count - vm->public_used < n) return NC_TIR_CRASH_INPUT;
        for (i = 0; i < n; i++) nc_tir__push_one(vm, vm->in->public_input[vm->public_used++]);
        break;
    case NC_TIR__I_WRITE_IO:
        for (i = 0; i < n; i++) {
            nc_gl value = nc_tir__pop_one(vm);
            stbds_arrput(vm->output, value);
        }
        break;
    case NC_TIR__I_READ_MEM:
        pointer = nc_tir__pop_one(vm);
        for (i = 0; i < n; i++) {
            nc_tir__push_one(vm, nc_tir__ram_get(vm, pointer));
            pointer = nc_gl_sub(pointer, 1);
        }
        nc_tir__push_one(vm, pointer);
        break;
    default: /* write_mem */
        pointer = nc_tir__pop_one(vm);
        for (i = 0; i < n; i++) {
            nc_tir__ram_set(vm, pointer, nc_tir__pop_one(vm));
            vm->out->ram++;
            pointer = nc_gl_add(pointer, 1);
        }
        nc_tir__push_one(vm, pointer);
        break;
    }
    return NC_TIR_HALTED;
}

/* Jumps set vm->ip; *halted ends the run. */
static nc_tir_outcome nc_tir__step_jump(nc_tir__vm *vm, const nc_tir__tasm *t, int *halted) {
    size_t depth = stbds_arrlenu(vm->jumps);
    int32_t target;
    switch (t->op) {
    case NC_TIR__I_HALT: *halted = 1; return NC_TIR_HALTED;
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
        stbds_arrsetlen(vm->jumps, depth - 2);
    }
    return NC_TIR_HALTED;
}

static nc_tir_outcome nc_tir__step(nc_tir__vm *vm, const nc_tir__tasm *t, int *halted) {
    switch (t->op) {
    case NC_TIR__I_HALT:
    case NC_TIR__I_SKIZ:
    case NC_TIR__I_CALL:
    case NC_TIR__I_RETURN:
    case NC_TIR__I_RECURSE:
    case NC_TIR__I_RECURSE_OR_RETURN: return nc_tir__step_jump(vm, t, halted);
    case NC_TIR__I_DIVINE:
    case NC_TIR__I_READ_IO:
    case NC_TIR__I_WRITE_IO:
    case NC_TIR__I_READ_MEM:
    case NC_TIR__I_WRITE_MEM: return nc_tir__step_io(vm, t);
    case NC_TIR__I_LT:
    case NC_TIR__I_AND:
    case NC_TIR__I_XOR:
    case NC_TIR__I_OR:
    case NC_TIR__I_POW:
    case NC_TIR__I_DIV_MOD: return nc_tir__u32_binary(vm, t->op);
    case NC_TIR__I_LOG2:
    case NC_TIR__I_POP_COUNT: return nc_tir__u32_unary(vm, t->op);
    case NC_TIR__I_HASH:
    case NC_TIR__I_SPONGE_INIT:
    case NC_TIR__I_SPONGE_ABSORB:
    case NC_TIR__I_SPONGE_ABSORB_MEM:
    case NC_TIR__I_SPONGE_SQUEEZE: return nc_tir__step_hash(vm, t->op);
    case NC_TIR__I_MERKLE_STEP: return nc_tir__step_merkle(vm, 0);
    case NC_TIR__I_MERKLE_STEP_MEM: return nc_tir__step_merkle(vm, 1);
    case NC_TIR__I_XX_ADD:
    case NC_TIR__I_XX_MUL:
    case NC_TIR__I_X_INVERT:
    case NC_TIR__I_XB_MUL:
    case NC_TIR__I_B_HORNER:
    case NC_TIR__I_X_HORNER:
    case NC_TIR__I_XX_DOT:
    case NC_TIR__I_XB_DOT: return nc_tir__step_extension(vm, t->op);
    default: return nc_tir__step_plain(vm, t);
    }
}

/* Program words, hashed with Tip5's varlen rule: opcode, then the argument if there is one; a
 * label is the word address of its instruction. Fills the program and hash heights. */
static nc_status nc_tir__hash_program(nc_tir__vm *vm, nc_gl digest[5]) {
    size_t n = stbds_arrlenu(vm->code->list), i, words = 0, used = 0;
    uint64_t *address = (uint64_t *)nc__alloc(NULL, (n + 1) * sizeof *address);
    nc_gl state[16];
    if (!address) return NC_ERR_MEMORY;
    for (i = 0; i < n; i++) {
        address[i] = words;
        words += nc_tir__table[vm->code->list[i].op].arg == NC_TIR__NO_ARG ? 1 : 2;
    }
    address[n] = words;
    memset(state, 0, sizeof state);
    for (i = 0; i < n; i++) {
        const nc_tir__tasm *t = &vm->code->list[i];
        const nc_tir__instruction *table = &nc_tir__table[t->op];
        uint64_t argument = t->arg;
        if (table->arg == NC_TIR__LABEL) {
            int32_t target = vm->code->labels[t->arg].value;
            argument = target < 0 ? 0 : address[target];
        }
        state[used++ % 10] = table->opcode;
        if (used % 10 == 0) nc_tir__permute(vm, state);
        if (table->arg == NC_TIR__NO_ARG) continue;
        state[used++ % 10] = argument;
        if (used % 10 == 0) nc_tir__permute(vm, state);
    }
    nc__free(NULL, address, (n + 1) * sizeof *address);
    state[used++ % 10] = 1;
    while (used % 10) state[used++ % 10] = 0;
    nc_tir__permute(vm, state);
    vm->out->program = used;
    memcpy(digest, state, 5 * sizeof *digest);
    return NC_OK;
}

static nc_tir_outcome nc_tir__run(nc_tir__vm *vm) {
    size_t length = stbds_arrlenu(vm->code->list);
    uint64_t limit = vm->in->max_cycles ? vm->in->max_cycles : UINT64_C(1) << 24;
    int halted = 0;
    while (!halted) {
        const nc_tir__tasm *t;
        uint32_t pops, pushes;
        nc_tir_outcome outcome;
        if (vm->ip >= length) return NC_TIR_CRASH_JUMP;
        if (vm->out->processor >= limit) return NC_TIR_CRASH_CYCLES;
        t = &vm->code->list[vm->ip++];
        pops = nc_tir__pops(t);
        pushes = nc_tir__pushes(t);
        if (!nc_tir__reserve(vm)) {
            vm->no_memory = 1;
            return NC_TIR_CRASH_CYCLES;
        }
        outcome = nc_tir__step(vm, t, &halted);
        if (outcome != NC_TIR_HALTED) return outcome;
        if (vm->height < 16) return NC_TIR_CRASH_STACK; /* at least 16 before, so 5 to read */
        vm->out->processor++;
        vm->out->op_stack += pops > pushes ? pops - pushes : pushes - pops;
    }
    return NC_TIR_HALTED;
}

static uint64_t nc_tir__max(uint64_t a, uint64_t b) { return a > b ? a : b; }

static void nc_tir__finish(nc_tir__vm *vm) {
    nc_tir_execution *x = vm->out;
    size_t n = vm->height, i;
    for (i = 0; i < 16 && i < n; i++) x->stack[i] = nc_tir__st(vm, i);
    x->depth = n;
    x->jump_stack = x->processor;
    x->lookup = 256;
    x->padded_height = nc_tir_padded(nc_tir__max(
        nc_tir__max(nc_tir__max(x->program, x->processor), nc_tir__max(x->op_stack, x->ram)),
        nc_tir__max(nc_tir__max(x->hash, x->cascade), nc_tir__max(x->lookup, x->u32))));
    x->output_count = stbds_arrlenu(vm->output);
    if (x->output_count) {
        x->output = (nc_gl *)nc__alloc(NULL, x->output_count * sizeof *x->output);
        if (x->output)
            memcpy(x->output, vm->output, x->output_count * sizeof *x->output);
        else
            vm->no_memory = 1;
    }
}

NC_API nc_status nc_tir_execute(const char *tasm, const nc_tir_input *input,
                                nc_tir_execution *result, nc_error *err) {
    static const nc_tir_input nothing = {NULL, NULL, NULL, NULL, 0, 0, 0, 0, 0};
    nc_tir__code code;
    nc_tir__vm vm;
    nc_gl digest[5];
    nc_status status;
    size_t i;
    if (!result) return nc__fail(err, NC_ERR_ARG, 0, 0, "no result");
    memset(result, 0, sizeof *result);
    status = nc_tir__read_tasm(tasm, 1, &code, err);
    memset(&vm, 0, sizeof vm);
    vm.code = &code;
    vm.in = input ? input : &nothing;
    vm.out = result;
    for (i = 0; status == NC_OK && i < stbds_arrlenu(code.list); i++)
        if (code.list[i].op == NC_TIR__I_CALL && code.labels[code.list[i].arg].value < 0)
            status = nc__fail(err, NC_ERR_FORMAT, code.list[i].line, 1, "label '%.100s' is missing",
                              code.labels[code.list[i].arg].key);
    if (status == NC_OK) {
        vm.limbs_seen = (uint8_t *)nc__calloc(NULL, 65536);
        status = vm.limbs_seen ? nc_tir__hash_program(&vm, digest) : NC_ERR_MEMORY;
        if (status == NC_OK && !nc_tir__reserve(&vm)) status = NC_ERR_MEMORY;
        if (status != NC_OK) nc__fail(err, status, 0, 0, "out of memory");
    }
    if (status == NC_OK) {
        for (i = 0; i < 5; i++) nc_tir__push_one(&vm, digest[4 - i]);
        for (i = 0; i < 11; i++) nc_tir__push_one(&vm, 0);
        for (i = 0; i < vm.in->ram_count; i++)
            nc_tir__ram_set(&vm, vm.in->ram[2 * i], vm.in->ram[2 * i + 1]);
        result->outcome = nc_tir__run(&vm);
        nc_tir__finish(&vm);
        if (vm.no_memory) status = nc__fail(err, NC_ERR_MEMORY, 0, 0, "out of memory");
    }
    nc__free(NULL, vm.limbs_seen, 65536);
    nc_tir__map_free(&vm.ram);
    nc_tir__map_free(&vm.u32);
    nc__free(NULL, vm.stack, vm.room * sizeof *vm.stack);
    stbds_arrfree(vm.jumps);
    stbds_arrfree(vm.output);
    nc_tir__code_free(&code);
    return status;
}

NC_API void nc_tir_free_output(nc_tir_execution *result) {
    nc__free(NULL, result->output, result->output_count * sizeof *result->output);
    result->output = NULL;
    result->output_count = 0;
}

NC_API uint64_t nc_tir_tallest_run(const nc_tir_execution *run, const char **table) {
    const uint64_t height[9] = {run->processor, run->program,    run->op_stack,
                                run->ram,       run->jump_stack, run->hash,
                                run->cascade,   run->lookup,     run->u32};
    static const char *const name[9] = {"processor", "program", "op_stack", "ram", "jump_stack",
                                        "hash",      "cascade", "lookup",   "u32"};
    int i, best = 0;
    for (i = 1; i < 9; i++)
        if (height[i] > height[best]) best = i;
    if (table) *table = name[best];
    return height[best];
}

NC_API nc_status nc_tir_profile_dynamic(const char *tasm, const nc_tir_input *inputs, size_t count,
                                        nc_tir_execution *worst, nc_error *err) {
    size_t i;
    if (!worst || !inputs || count == 0) return nc__fail(err, NC_ERR_ARG, 0, 0, "no inputs");
    memset(worst, 0, sizeof *worst);
    for (i = 0; i < count; i++) {
        nc_tir_execution run;
        nc_status status = nc_tir_execute(tasm, &inputs[i], &run, err);
        int stopped = status == NC_OK && run.outcome != NC_TIR_HALTED;
        if (status != NC_OK) {
            nc_tir_free_output(&run);
            nc_tir_free_output(worst);
            return status;
        }
        if (stopped || i == 0 || run.padded_height > worst->padded_height ||
            (run.padded_height == worst->padded_height &&
             nc_tir_tallest_run(&run, NULL) > nc_tir_tallest_run(worst, NULL))) {
            nc_tir_free_output(worst);
            *worst = run;
        } else {
            nc_tir_free_output(&run);
        }
        if (stopped)
            return nc__fail(err, NC_ERR_MISMATCH, 0, 0, "sample input %lu: %s", (unsigned long)i,
                            nc_tir_outcome_str(worst->outcome));
    }
    return NC_OK;
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

/* >>symbolic ======================================================================= */

/* Terms are hash-consed: equal index = equal by the rules below. A term is an unknown stack
 * input, the state of a channel, the result of an operation, or a polynomial over such with
 * coefficients in F_p (a constant is a polynomial of degree 0). Rules used: ring axioms of F_p,
 * commutativity of the u32 bit operations, a = b iff a - b = 0, folding of constants. */
enum { NC_TIR__T_POLY, NC_TIR__T_INPUT, NC_TIR__T_CHANNEL, NC_TIR__T_OP, NC_TIR__T_CHECK };

enum {
    NC_TIR__MAX_TERMS = 16384,
    NC_TIR__MAX_WORDS = 1 << 18,
    NC_TIR__MAX_MONOMIALS = 24,
    NC_TIR__MAX_DEGREE = 8,
    NC_TIR__INPUTS = 80, /* unknown elements below the starting top of the stack */
    NC_TIR__MAX_STACK = 192,
    NC_TIR__MAX_CHECKS = 256,
    NC_TIR__MAX_NODES = 128,
    NC_TIR__MAX_ARGS = 11
};

typedef struct nc_tir__term {
    uint32_t first, count; /* payload in words */
    uint32_t kind;
} nc_tir__term;

typedef struct nc_tir__terms {
    nc_tir__term list[NC_TIR__MAX_TERMS];
    uint64_t words[NC_TIR__MAX_WORDS];
    uint32_t table[2 * NC_TIR__MAX_TERMS]; /* index + 1, open addressing */
    uint32_t count, used;
    int overflow; /* set once a limit is hit: nothing after it may be trusted */
} nc_tir__terms;

typedef struct nc_tir__monomial {
    uint64_t coefficient;
    uint32_t degree;
    uint32_t factor[NC_TIR__MAX_DEGREE]; /* term indices, ascending */
} nc_tir__monomial;

typedef struct nc_tir__poly {
    uint32_t count;
    nc_tir__monomial m[NC_TIR__MAX_MONOMIALS];
} nc_tir__poly;

static void nc_tir__terms_reset(nc_tir__terms *t) {
    t->count = t->used = 0;
    t->overflow = 0;
    memset(t->table, 0, sizeof t->table);
}

/* One more word into a hash (a step of splitmix64). */
static uint64_t nc_tir__mix(uint64_t hash, uint64_t word) {
    hash = (hash ^ word) * UINT64_C(0xBF58476D1CE4E5B9);
    return hash ^ (hash >> 29);
}

static uint32_t nc_tir__intern(nc_tir__terms *t, uint32_t kind, const uint64_t *words,
                               uint32_t count) {
    uint64_t h = nc_tir__mix(count, kind);
    uint32_t slot, i;
    for (i = 0; i < count; i++) h = nc_tir__mix(h, words[i]);
    slot = (uint32_t)(h ^ (h >> 32)) & (2 * NC_TIR__MAX_TERMS - 1);
    for (; t->table[slot]; slot = (slot + 1) & (2 * NC_TIR__MAX_TERMS - 1)) {
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
    t->list[t->count].kind = kind;
    t->used += count;
    t->table[slot] = ++t->count;
    return t->count - 1;
}

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
    uint32_t first = pair[0];
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

/* The term scaled so that its first coefficient is 1: is it zero? has the same answer. */
static uint32_t nc_tir__monic(nc_tir__terms *t, uint32_t term) {
    nc_tir__poly p;
    nc_gl inverse;
    nc_tir__to_poly(t, term, &p);
    if (p.count == 0 || nc_gl_inv(p.m[0].coefficient, &inverse) != NC_OK) return term;
    return nc_tir__linear(t, term, inverse, nc_tir__constant(t, 0));
}

/* Results that are below 2^32 by what their operation does. */
static int nc_tir__known_u32(const nc_tir__terms *t, uint32_t term) {
    const nc_tir__term *x = &t->list[term];
    uint64_t value;
    if (nc_tir__is_constant(t, term, &value)) return nc_tir__is_u32(value);
    if (x->kind != NC_TIR__T_OP) return 0;
    switch (t->words[x->first]) {
    case NC_TIR__I_SPLIT:
    case NC_TIR__I_AND:
    case NC_TIR__I_XOR:
    case NC_TIR__I_OR:
    case NC_TIR__I_LT:
    case NC_TIR__I_EQ:
    case NC_TIR__I_LOG2:
    case NC_TIR__I_DIV_MOD:
    case NC_TIR__I_POP_COUNT: return 1;
    default: return 0;
    }
}

/* An operation of the block, for the scheduler: operands bottom to top, results likewise. */
typedef struct nc_tir__node {
    nc_tir__tasm instruction;
    uint32_t args[NC_TIR__MAX_ARGS], results[NC_TIR__MAX_ARGS];
    uint8_t arg_count, result_count;
    uint8_t new_check; /* it may crash where nothing before it did */
    uint8_t needed;
} nc_tir__node;

/* The meaning of a straight-line sequence. */
typedef struct nc_tir__meaning {
    uint32_t stack[NC_TIR__MAX_STACK]; /* bottom first; starts as NC_TIR__INPUTS unknowns */
    uint32_t n;
    uint32_t channel[6];
    uint32_t checks[NC_TIR__MAX_CHECKS]; /* ascending once finished, no duplicates */
    uint32_t check_count;
    int32_t dip; /* least stack size reached, relative to the start */
    nc_tir__node nodes[NC_TIR__MAX_NODES];
    uint32_t node_count;
    int too_many_nodes;
} nc_tir__meaning;

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

/* a = b as a term; folds when the difference is constant. */
static uint32_t nc_tir__equal(nc_tir__terms *t, uint32_t a, uint32_t b) {
    uint32_t difference = nc_tir__linear(t, b, NC_GL_P - 1, a);
    uint64_t value;
    if (nc_tir__is_constant(t, difference, &value)) return nc_tir__constant(t, value == 0);
    difference = nc_tir__monic(t, difference);
    return nc_tir__result(t, NC_TIR__I_EQ, 0, 0, &difference, 1);
}

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

/* Operations with one result and no channel: args[0] below args[1]. */
static uint32_t nc_tir__value_of(nc_tir__terms *t, nc_tir__meaning *s, const nc_tir__tasm *i,
                                 const uint32_t *args) {
    uint32_t sorted[2], r;
    uint64_t value;
    nc_gl inverse;
    switch (i->op) {
    case NC_TIR__I_ADD: return nc_tir__linear(t, args[0], 1, args[1]);
    case NC_TIR__I_ADDI: return nc_tir__linear(t, args[0], 1, nc_tir__constant(t, i->arg));
    case NC_TIR__I_MUL: return nc_tir__product(t, args[0], args[1]);
    case NC_TIR__I_EQ: return nc_tir__equal(t, args[0], args[1]);
    case NC_TIR__I_INVERT:
        nc_tir__check(t, s, NC_TIR__C_NONZERO, args[0]);
        if (nc_tir__is_constant(t, args[0], &value) && nc_gl_inv(value, &inverse) == NC_OK)
            return nc_tir__constant(t, inverse);
        return nc_tir__result(t, i->op, 0, 0, args, 1);
    case NC_TIR__I_LOG2: nc_tir__check(t, s, NC_TIR__C_NONZERO, args[0]); /* fallthrough */
    case NC_TIR__I_POP_COUNT:
        nc_tir__check(t, s, NC_TIR__C_U32, args[0]);
        return nc_tir__result(t, i->op, 0, 0, args, 1);
    default: break; /* lt, and, xor, or, pow */
    }
    nc_tir__check(t, s, NC_TIR__C_U32, args[0]);
    if (i->op != NC_TIR__I_POW) nc_tir__check(t, s, NC_TIR__C_U32, args[1]);
    if (nc_tir__fold_u32(t, i->op, args[0], args[1], &r)) return r;
    sorted[0] = args[0];
    sorted[1] = args[1];
    if (nc_tir__table[i->op].flags & NC_TIR__SWAPS) nc_tir__sort2(sorted);
    return nc_tir__result(t, i->op, 0, 0, sorted, 2);
}

/* Element-wise input, output and memory, so that `write_io 2` means two `write_io 1`. */
static void nc_tir__symbolic_io(nc_tir__terms *t, nc_tir__meaning *s, const nc_tir__tasm *i) {
    uint32_t c = nc_tir__table[i->op].channel, *channel = &s->channel[c], k, args[2], pointer;
    uint32_t one = nc_tir__constant(t, 1), minus = nc_tir__constant(t, NC_GL_P - 1);
    switch (i->op) {
    case NC_TIR__I_READ_IO:
    case NC_TIR__I_DIVINE:
        for (k = 0; k < i->arg; k++) {
            nc_tir__put(s, nc_tir__result(t, i->op, 0, *channel, NULL, 0));
            *channel = nc_tir__result(t, i->op, 1, *channel, NULL, 0);
        }
        break;
    case NC_TIR__I_WRITE_IO:
        for (k = 0; k < i->arg; k++) {
            args[0] = nc_tir__take(s);
            *channel = nc_tir__result(t, i->op, 0, *channel, args, 1);
        }
        break;
    case NC_TIR__I_READ_MEM:
        pointer = nc_tir__take(s);
        for (k = 0; k < i->arg; k++) {
            nc_tir__put(s, nc_tir__result(t, i->op, 0, *channel, &pointer, 1));
            pointer = nc_tir__linear(t, pointer, 1, minus);
        }
        nc_tir__put(s, pointer);
        break;
    default: /* write_mem */
        pointer = nc_tir__take(s);
        for (k = 0; k < i->arg; k++) {
            args[0] = pointer;
            args[1] = nc_tir__take(s);
            *channel = nc_tir__result(t, i->op, 0, *channel, args, 2);
            pointer = nc_tir__linear(t, pointer, 1, one);
        }
        nc_tir__put(s, pointer);
        break;
    }
}

static void nc_tir__symbolic_split(nc_tir__terms *t, nc_tir__meaning *s) {
    uint32_t a = nc_tir__take(s);
    uint64_t value;
    if (nc_tir__is_constant(t, a, &value)) {
        nc_tir__put(s, nc_tir__constant(t, value >> 32));
        nc_tir__put(s, nc_tir__constant(t, value & UINT64_C(0xFFFFFFFF)));
    } else {
        nc_tir__put(s, nc_tir__result(t, NC_TIR__I_SPLIT, 0, 0, &a, 1));
        nc_tir__put(s, nc_tir__result(t, NC_TIR__I_SPLIT, 1, 0, &a, 1));
    }
}

/* Everything else: results are opaque functions of the operands and the channel. */
static void nc_tir__symbolic_opaque(nc_tir__terms *t, nc_tir__meaning *s, const nc_tir__tasm *i) {
    const nc_tir__instruction *table = &nc_tir__table[i->op];
    uint32_t args[NC_TIR__MAX_ARGS] = {0}, pops = nc_tir__pops(i), pushes = nc_tir__pushes(i), k;
    uint32_t channel = table->channel ? s->channel[table->channel] : 0, word;
    for (k = pops; k-- > 0;) args[k] = nc_tir__take(s);
    if (i->op == NC_TIR__I_SPONGE_ABSORB_MEM) args[pops++] = s->channel[NC_TIR__RAM];
    if (i->op == NC_TIR__I_DIV_MOD) {
        nc_tir__check(t, s, NC_TIR__C_U32, args[0]);
        nc_tir__check(t, s, NC_TIR__C_U32, args[1]);
        nc_tir__check(t, s, NC_TIR__C_NONZERO, args[0]);
    } else if (table->flags & NC_TIR__CRASH) {
        word = nc_tir__result(t, i->op, 99, channel, args, pops);
        nc_tir__check(t, s, NC_TIR__C_GENERIC, word);
    }
    for (k = 0; k < pushes; k++) nc_tir__put(s, nc_tir__result(t, i->op, k, channel, args, pops));
    if (table->flags & NC_TIR__WRITES)
        s->channel[table->channel] = nc_tir__result(t, i->op, 98, channel, args, pops);
}

/* Instructions that only rearrange, or have no results: 1 when handled. */
static int nc_tir__symbolic_stack(nc_tir__terms *t, nc_tir__meaning *s, const nc_tir__tasm *i) {
    uint32_t *top = &s->stack[s->n - 1], a = *top, k;
    switch (i->op) {
    case NC_TIR__I_PUSH: nc_tir__put(s, nc_tir__constant(t, i->arg)); return 1;
    case NC_TIR__I_POP: s->n -= (uint32_t)i->arg; return 1;
    case NC_TIR__I_DUP: nc_tir__put(s, *(top - i->arg)); return 1;
    case NC_TIR__I_NOP: return 1;
    case NC_TIR__I_SWAP:
        *top = *(top - i->arg);
        *(top - i->arg) = a;
        return 1;
    case NC_TIR__I_PICK:
        a = *(top - i->arg);
        for (k = (uint32_t)i->arg; k > 0; k--) *(top - k) = *(top - k + 1);
        *top = a;
        return 1;
    case NC_TIR__I_PLACE:
        for (k = 0; k < i->arg; k++) *(top - k) = *(top - k - 1);
        *(top - i->arg) = a;
        return 1;
    case NC_TIR__I_ASSERT:
        a = nc_tir__linear(t, nc_tir__take(s), 1, nc_tir__constant(t, NC_GL_P - 1));
        nc_tir__check(t, s, NC_TIR__C_ZERO, a);
        return 0;
    case NC_TIR__I_ASSERT_VECTOR:
        for (k = 0; k < 5; k++)
            nc_tir__check(t, s, NC_TIR__C_ZERO,
                          nc_tir__linear(t, *(top - k), NC_GL_P - 1, *(top - k - 5)));
        s->n -= 5;
        return 0;
    default: return 0;
    }
}

/* Run one instruction on the meaning; record a node unless it only moves values. */
static void nc_tir__symbolic_step(nc_tir__terms *t, nc_tir__meaning *s, const nc_tir__tasm *i) {
    uint32_t pops = nc_tir__pops(i), pushes = nc_tir__pushes(i), k, before = s->n;
    uint32_t checks = s->check_count;
    nc_tir__node *node = &s->nodes[s->node_count];
    if (nc_tir__symbolic_stack(t, s, i)) return;
    if (s->node_count + 1 >= NC_TIR__MAX_NODES)
        s->too_many_nodes = 1;
    else
        s->node_count++;
    node->instruction = *i;
    node->arg_count = (uint8_t)pops;
    node->result_count = (uint8_t)pushes;
    node->needed = 0;
    for (k = 0; k < pops; k++) node->args[k] = s->stack[before - pops + k];
    switch (i->op) {
    case NC_TIR__I_ASSERT:
    case NC_TIR__I_ASSERT_VECTOR: break;
    case NC_TIR__I_SPLIT: nc_tir__symbolic_split(t, s); break;
    case NC_TIR__I_READ_IO:
    case NC_TIR__I_DIVINE:
    case NC_TIR__I_WRITE_IO:
    case NC_TIR__I_READ_MEM:
    case NC_TIR__I_WRITE_MEM: nc_tir__symbolic_io(t, s, i); break;
    case NC_TIR__I_ADD:
    case NC_TIR__I_ADDI:
    case NC_TIR__I_MUL:
    case NC_TIR__I_EQ:
    case NC_TIR__I_INVERT:
    case NC_TIR__I_LOG2:
    case NC_TIR__I_POP_COUNT:
    case NC_TIR__I_LT:
    case NC_TIR__I_AND:
    case NC_TIR__I_XOR:
    case NC_TIR__I_OR:
    case NC_TIR__I_POW:
        s->n -= pops;
        nc_tir__put(s, nc_tir__value_of(t, s, i, node->args));
        break;
    default: nc_tir__symbolic_opaque(t, s, i); break;
    }
    for (k = 0; k < pushes; k++) node->results[k] = s->stack[s->n - pushes + k];
    node->new_check = s->check_count > checks;
}

static void nc_tir__sort_checks(nc_tir__meaning *s) {
    uint32_t i, j;
    for (i = 1; i < s->check_count; i++) { /* by insertion */
        uint32_t c = s->checks[i];
        for (j = i; j > 0 && s->checks[j - 1] > c; j--) s->checks[j] = s->checks[j - 1];
        s->checks[j] = c;
    }
}

/* Symbolic run of a sequence. NC_TIR_PROVEN when its meaning is known. */
static nc_tir_verdict nc_tir__symbolic_run(nc_tir__terms *t, const nc_tir__tasm *list, size_t count,
                                           nc_tir__meaning *s) {
    nc_tir__tasm one;
    uint64_t k;
    size_t i;
    s->n = NC_TIR__INPUTS;
    s->check_count = s->node_count = 0;
    s->dip = s->too_many_nodes = 0;
    for (k = 0; k < NC_TIR__INPUTS; k++) s->stack[k] = nc_tir__intern(t, NC_TIR__T_INPUT, &k, 1);
    for (k = 0; k < 6; k++) s->channel[k] = nc_tir__intern(t, NC_TIR__T_CHANNEL, &k, 1);
    for (i = 0; i < count; i++) {
        const nc_tir__instruction *table = &nc_tir__table[list[i].op];
        int32_t height;
        if (table->flags & NC_TIR__JUMP) return NC_TIR_NOT_STRAIGHT;
        if (table->arg == NC_TIR__INDEX && list[i].arg > 15) return NC_TIR_NOT_STRAIGHT;
        if (s->n < 32 || s->n + 16 > NC_TIR__MAX_STACK) return NC_TIR_TOO_LARGE;
        one = list[i];
        one.line = (uint32_t)i; /* from here on: which instruction of the block */
        nc_tir__symbolic_step(t, s, &one);
        if (t->overflow) return NC_TIR_TOO_LARGE;
        height = (int32_t)s->n - NC_TIR__INPUTS;
        if (height < s->dip) s->dip = height;
    }
    nc_tir__sort_checks(s);
    return NC_TIR_PROVEN;
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

/* Empty an stb_ds array but keep its memory (stbds_arrsetlen(a, 0) warns with -Wtype-limits). */
#define NC_TIR__CLEAR(a)                                                                           \
    do {                                                                                           \
        if (a) stbds_header(a)->length = 0;                                                        \
    } while (0)

/* Memory of the prover and the search, reused from block to block. */
enum {
    NC_TIR__MAX_LOCAL = 250,
    NC_TIR__MAX_UNITS = 128,
    NC_TIR__WINDOW = 112,
    NC_TIR__MAX_LEVELS = 250,
    NC_TIR__BUCKETS = 1 << 14 /* of scores */
};

/* A value the search knows, by its number on the stacks of states. */
typedef struct nc_tir__local {
    uint64_t offset; /* from the base of its family; the value of a constant */
    uint32_t term, base;
    uint8_t family, is_constant;
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
    int32_t guide;                 /* what the network adds to the score */
    uint8_t op, n;                 /* move that led here; height */
    int8_t dip;                    /* least height so far, relative to the start of the block */
    uint8_t stack[NC_TIR__WINDOW]; /* local numbers, bottom first */
} nc_tir__state;

struct nc_tir__move;

typedef struct nc_tir__prover {
    nc_tir__terms terms;
    nc_tir__meaning before, after;
    /* the search problem */
    nc_tir__local local[NC_TIR__MAX_LOCAL + 1];
    nc_tir__unit units[NC_TIR__MAX_UNITS];
    uint32_t local_count, unit_count;
    uint8_t goal[NC_TIR__WINDOW];
    uint32_t goal_count, base;
    uint64_t present; /* operations among the units, one bit each */
    uint64_t place_key[NC_TIR__WINDOW], unit_key[NC_TIR__MAX_UNITS]; /* of the states' hashes */
    struct nc_tir__move *moves;                                      /* stb_ds array */
    nc_tir__state *states;                                           /* all levels, stb_ds array */
    uint32_t *order;                                                 /* stb_ds array */
    uint32_t bucket[NC_TIR__BUCKETS + 1];
    nc_tir__tasm found[NC_TIR__MAX_LEVELS];
    uint64_t expanded; /* states looked at, ever */
    /* the network's view of the block, when there is one */
    const nc_tir_model *model;
    int32_t guide; /* weight of its log-probability */
    nc_gl words[NC_TIR_BLOCK_WORDS];
    nc_fixed latents[NC_TIR_BLOCK_NODES * 64];
    const nc_fixed *given; /* the latents, when they are known already; or null */
    nc_fixed *rows; /* for each state of a level: 128 inputs, 128 hidden values, 64 outputs */
    uint32_t row_room;
    struct nc_tir__activations *activations;
} nc_tir__prover;

static nc_tir_verdict nc_tir__prove(nc_tir__prover *p, const nc_tir__tasm *before, size_t n,
                                    const nc_tir__tasm *after, size_t m) {
    nc_tir_verdict verdict;
    nc_tir__terms_reset(&p->terms);
    verdict = nc_tir__symbolic_run(&p->terms, before, n, &p->before);
    if (verdict == NC_TIR_PROVEN) verdict = nc_tir__symbolic_run(&p->terms, after, m, &p->after);
    return verdict == NC_TIR_PROVEN ? nc_tir__compare(&p->before, &p->after) : verdict;
}

NC_API nc_tir_verdict nc_tir_verify(const char *before, const char *after) {
    nc_tir__prover *p =
        (nc_tir__prover *)nc__alloc(NULL, sizeof *p); /* the run sets what it reads */
    nc_tir__code a, b;
    nc_tir_verdict verdict = NC_TIR_NOT_STRAIGHT;
    int ok;
    if (!p) return NC_TIR_TOO_LARGE;
    ok = nc_tir__read_tasm(before, 1, &a, NULL) == NC_OK;
    ok = nc_tir__read_tasm(after, 1, &b, NULL) == NC_OK && ok;
    if (ok && stbds_shlen(a.labels) == 0 && stbds_shlen(b.labels) == 0)
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

/* >>blocks ========================================================================= */

/* Kinds of instruction for the network: 3 bits. */
static uint32_t nc_tir__type(uint32_t op) {
    const nc_tir__instruction *i = &nc_tir__table[op];
    if (op == NC_TIR__I_PUSH) return 1;
    if (op == NC_TIR__I_ASSERT || op == NC_TIR__I_ASSERT_VECTOR) return 7;
    if (i->channel == NC_TIR__RAM) return 5;
    if (i->channel == NC_TIR__SPONGE || op == NC_TIR__I_HASH) return 4;
    if (i->channel) return 6;
    if (i->cost[2]) return 3;
    return i->arg == NC_TIR__COUNT || i->arg == NC_TIR__INDEX || op == NC_TIR__I_NOP ? 0 : 2;
}

/* Who made each stack element, while a block runs. */
typedef struct nc_tir__flow {
    uint8_t maker[NC_TIR__MAX_STACK]; /* node, or 32 + i for what st_i was at the start; bottom
                                         first; 255 below that */
    uint32_t n;
    uint8_t last_use[64]; /* by maker: one more than the node that last read it, or 0 */
    uint8_t u32_use[64];
} nc_tir__flow;

static uint8_t nc_tir__maker_at(nc_tir__flow *f, uint32_t depth, uint32_t reader, int u32) {
    uint8_t maker = f->maker[f->n - 1 - depth];
    if (maker < 64) {
        f->last_use[maker] = (uint8_t)(reader + 1);
        if (u32) f->u32_use[maker] = 1;
    }
    return maker;
}

/* Encode at most 32 instructions; node i is instruction i. */
static void nc_tir__encode(const nc_tir__tasm *code, size_t count,
                           nc_gl words[NC_TIR_BLOCK_WORDS]) {
    nc_tir__flow f;
    uint32_t i, k, n = count < NC_TIR_BLOCK_NODES ? (uint32_t)count : NC_TIR_BLOCK_NODES;
    memset(words, 0, NC_TIR_BLOCK_WORDS * sizeof *words);
    memset(&f, 0, sizeof f);
    memset(f.maker, 255, sizeof f.maker);
    f.n = NC_TIR__MAX_STACK / 2;
    for (i = 0; i < 16; i++) f.maker[f.n - 1 - i] = (uint8_t)(32 + i);
    for (i = 0; i < n; i++) {
        const nc_tir__instruction *table = &nc_tir__table[code[i].op];
        uint32_t pops = nc_tir__pops(&code[i]), pushes = nc_tir__pushes(&code[i]), index;
        uint32_t input[2] = {i, i}; /* itself: made outside the block, or no operand */
        uint8_t *top = &f.maker[f.n - 1], first = *top;
        if (f.n < 32 || f.n + 16 > NC_TIR__MAX_STACK) break;
        index = table->arg == NC_TIR__INDEX ? (uint32_t)(code[i].arg & 15) : 0;
        switch (code[i].op) {
        case NC_TIR__I_DUP:
            first = nc_tir__maker_at(&f, index, i, 0);
            f.maker[f.n++] = first;
            if (first < 32) input[0] = first;
            break;
        case NC_TIR__I_SWAP:
            *top = *(top - index);
            *(top - index) = first;
            break;
        case NC_TIR__I_PICK:
            first = *(top - index);
            for (k = index; k > 0; k--) *(top - k) = *(top - k + 1);
            *top = first;
            break;
        case NC_TIR__I_PLACE:
            for (k = 0; k < index; k++) *(top - k) = *(top - k - 1);
            *(top - index) = first;
            break;
        default:
            for (k = 0; k < pops; k++) {
                uint8_t maker = code[i].op == NC_TIR__I_POP
                                    ? 255
                                    : nc_tir__maker_at(&f, k, i, table->cost[2] != 0);
                if (k < 2 && maker < 32) input[k] = maker;
            }
            f.n -= pops;
            for (k = 0; k < pushes; k++) f.maker[f.n++] = (uint8_t)i;
        }
        words[4 * i] =
            (code[i].op + 1) | nc_tir__type(code[i].op) << 6 | input[0] << 9 | input[1] << 14;
        words[4 * i + 1] = i;
        words[4 * i + 3] = code[i].arg;
    }
    for (k = 0; k < f.n; k++) /* what is left lives on */
        if (f.maker[k] < 32) f.last_use[f.maker[k]] = 33;
    for (i = 0; i < n; i++) words[4 * i + 2] = f.last_use[i] ? f.last_use[i] - 1u : i;
    for (i = 0; i < 16; i++)
        words[4 * NC_TIR_BLOCK_NODES + i] = f.u32_use[32 + i] | (uint32_t)f.last_use[32 + i] << 3;
}

NC_API nc_status nc_tir_encode(const char *tasm, nc_gl words[NC_TIR_BLOCK_WORDS], nc_error *err) {
    nc_tir__code code;
    nc_status status;
    size_t i;
    if (!words) return nc__fail(err, NC_ERR_ARG, 0, 0, "no words");
    status = nc_tir__read_tasm(tasm, 1, &code, err);
    if (status == NC_OK && stbds_arrlenu(code.list) > NC_TIR_BLOCK_NODES)
        status = nc__fail(err, NC_ERR_LIMIT, 0, 0, "more than %d instructions", NC_TIR_BLOCK_NODES);
    if (status == NC_OK && stbds_shlen(code.labels))
        status = nc__fail(err, NC_ERR_FORMAT, 0, 0, "a block has no labels");
    for (i = 0; status == NC_OK && i < stbds_arrlenu(code.list); i++)
        if (nc_tir__table[code.list[i].op].flags & NC_TIR__JUMP)
            status = nc__fail(err, NC_ERR_FORMAT, code.list[i].line, 1, "a block has no jumps");
    if (status == NC_OK) nc_tir__encode(code.list, stbds_arrlenu(code.list), words);
    nc_tir__code_free(&code);
    return status;
}

/* Do the words encode a block? Its number of nodes, or -1. */
static int nc_tir__check_words(const nc_gl *words) {
    uint32_t i;
    int n = 0;
    for (i = 0; i < NC_TIR_BLOCK_NODES; i++) {
        const nc_gl *w = words + 4 * i;
        uint32_t op = (uint32_t)(w[0] & 63) - 1;
        if (w[0] == 0) {
            if (w[1] || w[2] || w[3]) return -1;
            continue;
        }
        if ((uint32_t)n != i || w[0] >> 19 || op >= NC_TIR__I_COUNT) return -1;
        if ((nc_tir__table[op].flags & NC_TIR__JUMP) || nc_tir__type(op) != (w[0] >> 6 & 7))
            return -1;
        if ((w[0] >> 9 & 31) > i || (w[0] >> 14 & 31) > i || w[1] != i || w[2] < i || w[2] > 32)
            return -1;
        if (w[3] >= NC_GL_P || (nc_tir__table[op].arg == NC_TIR__NO_ARG && w[3])) return -1;
        if (nc_tir__table[op].arg == NC_TIR__COUNT && (w[3] < 1 || w[3] > 5)) return -1;
        if (nc_tir__table[op].arg == NC_TIR__INDEX && w[3] > 15) return -1;
        n++;
    }
    return n;
}

/* >>model ========================================================================== */

/* Parameters, one after the other; matrices have a row for each input. */
enum {
    NC_TIR__D = 64,
    NC_TIR__HEADS = 2,
    NC_TIR__FFN = 128,
    NC_TIR__LAYERS = 2,
    NC_TIR__LATENTS = NC_TIR_BLOCK_NODES * NC_TIR__D, /* of one block */
    /* rows of the embedding of a node: opcode, type, immediate, length of life, distance to the
     * makers of both operands */
    NC_TIR__ROWS_TYPE = 64,
    NC_TIR__ROWS_IMMEDIATE = NC_TIR__ROWS_TYPE + 8,
    NC_TIR__ROWS_LIFE = NC_TIR__ROWS_IMMEDIATE + 16,
    NC_TIR__ROWS_INPUT = NC_TIR__ROWS_LIFE + 33,
    NC_TIR__NODE_ROWS = NC_TIR__ROWS_INPUT + 64,
    /* rows of the embedding of a state: last opcode, its argument, what the upper elements are */
    NC_TIR__ROWS_LAST = 64,
    NC_TIR__ROWS_TOP = NC_TIR__ROWS_LAST + 16,
    NC_TIR__TOPS = 6,
    NC_TIR__STATE_ROWS = NC_TIR__ROWS_TOP + NC_TIR__TOPS * 8,
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
    /* decoder: 128 -> 128 -> 64 */
    NC_TIR__IN = 128,
    NC_TIR__OUT_CODES = 64, /* 48 opcodes, 16 arguments */
    NC_TIR__P_HIDDEN = NC_TIR__LAYERS * NC_TIR__LAYER,
    NC_TIR__P_HIDDEN_BIAS = NC_TIR__P_HIDDEN + NC_TIR__IN * NC_TIR__FFN,
    NC_TIR__P_OUT = NC_TIR__P_HIDDEN_BIAS + NC_TIR__FFN,
    NC_TIR__P_OUT_BIAS = NC_TIR__P_OUT + NC_TIR__FFN * NC_TIR__OUT_CODES,
    NC_TIR__P_NODES = NC_TIR__P_OUT_BIAS + NC_TIR__OUT_CODES,
    NC_TIR__P_STATES = NC_TIR__P_NODES + NC_TIR__NODE_ROWS * NC_TIR__D,
    NC_TIR__PARAMETERS = NC_TIR__P_STATES + NC_TIR__STATE_ROWS * NC_TIR__D
};

struct nc_tir_model {
    nc_fixed w[NC_TIR__PARAMETERS];
};

NC_API size_t nc_tir_model_parameters(size_t *embedding) {
    if (embedding) *embedding = NC_TIR__PARAMETERS - NC_TIR__P_NODES;
    return NC_TIR__P_NODES;
}

/* Fan-in of the parameter at i, for its random start; 0 for biases and gains. */
static uint32_t nc_tir__fan_in(uint32_t i) {
    if (i >= NC_TIR__P_NODES) return 16;
    if (i >= NC_TIR__P_OUT_BIAS) return 0;
    if (i >= NC_TIR__P_OUT) return NC_TIR__FFN;
    if (i >= NC_TIR__P_HIDDEN_BIAS) return 0;
    if (i >= NC_TIR__P_HIDDEN) return NC_TIR__IN;
    i %= NC_TIR__LAYER;
    if (i >= NC_TIR__L_GAMMA) return 0;
    if (i >= NC_TIR__L_DOWN) return NC_TIR__FFN;
    if (i >= NC_TIR__L_BIAS) return 0;
    return NC_TIR__D;
}

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
        uint32_t fan = nc_tir__fan_in(i);
        int64_t sum = -4 * INT64_C(65536);
        nc__philox(seed, i, 0, words);
        for (k = 0; k < 4; k++) sum += (words[k] & 0xffff) + (words[k] >> 16);
        /* eight uniform values: deviation 65,536 sqrt(8 / 12); scaled to about 1 / sqrt(fan) */
        for (k = 1; k * k < fan; k++) {
        }
        (*model)->w[i] = fan ? nc_gl_from_i64(sum / (int64_t)k) : 0;
        if (nc_tir__is_gain(i)) (*model)->w[i] = NC_FIXED_ONE;
    }
    return NC_OK;
}

NC_API nc_status nc_tir_model_copy(nc_tir_model **copy, const nc_tir_model *model) {
    if (!copy || !model) return NC_ERR_ARG;
    *copy = (nc_tir_model *)nc__alloc(NULL, sizeof **copy);
    if (!*copy) return NC_ERR_MEMORY;
    **copy = *model;
    return NC_OK;
}

NC_API void nc_tir_model_destroy(nc_tir_model *model) { nc__free(NULL, model, sizeof *model); }

/* Classes of immediates: small values by themselves, others by size. */
static uint32_t nc_tir__immediate(uint32_t op, uint64_t value) {
    if (nc_tir__table[op].arg == NC_TIR__NO_ARG) return 15;
    if (value < 8) return (uint32_t)value;
    if (value < 16) return 8;
    if (value < 256) return 9;
    if (value < 65536) return 10;
    if (value >> 32 == 0) return 11;
    if (value == NC_GL_P - 1) return 12;
    return value > NC_GL_P - 65536 ? 13 : 14;
}

static void nc_tir__add_row(nc_fixed *to, const nc_fixed *row) {
    nc_gl_vec_add(to, to, row, NC_TIR__D);
}

/* Embedding rows of node i, six of them. */
static void nc_tir__node_rows(const nc_gl *words, uint32_t i, uint32_t rows[6]) {
    uint32_t head = (uint32_t)words[4 * i], op = (head & 63) - 1;
    uint32_t a = head >> 9 & 31, b = head >> 14 & 31;
    rows[0] = head & 63;
    rows[1] = NC_TIR__ROWS_TYPE + (head >> 6 & 7);
    rows[2] = NC_TIR__ROWS_IMMEDIATE + nc_tir__immediate(op, words[4 * i + 3]);
    rows[3] = NC_TIR__ROWS_LIFE + (uint32_t)(words[4 * i + 2] - words[4 * i + 1]);
    rows[4] = NC_TIR__ROWS_INPUT + (i - a);
    rows[5] = NC_TIR__ROWS_INPUT + 32 + (i - b);
}

/* Node i attends to j: itself, a maker of its operands, or one whose life overlaps. */
static uint32_t nc_tir__attended(const nc_gl *words, uint32_t n, uint32_t i) {
    uint32_t head = (uint32_t)words[4 * i], mask = 1u << i, j;
    mask |= 1u << (head >> 9 & 31) | 1u << (head >> 14 & 31);
    for (j = 0; j < n; j++)
        if (words[4 * j + 1] <= words[4 * i + 2] && words[4 * i + 1] <= words[4 * j + 2])
            mask |= 1u << j;
    return mask;
}

static uint32_t nc_tir__node_count(const nc_gl *words) {
    uint32_t n = 0;
    while (n < NC_TIR_BLOCK_NODES && words[4 * n]) n++;
    return n;
}

/* Weights stay below 8 in magnitude and activations within 500: a sum over 128 of them is below
 * 2^51, so nothing wraps here or in the 64-bit integers of a GPU, and layer norm is defined. */
#define NC_TIR__WEIGHT_LIMIT (8 * NC_FIXED_ONE - 1)
#define NC_TIR__VALUE_LIMIT (500 * NC_FIXED_ONE)

static void nc_tir__bound_values(nc_fixed *x, uint32_t count) {
    const nc_fixed limit = NC_TIR__VALUE_LIMIT;
    uint32_t i;
    for (i = 0; i < count; i++)
        if (x[i] > limit && x[i] < nc_gl_neg(limit))
            x[i] = nc_fixed_clamp(x[i], nc_gl_neg(limit), limit);
}

/* to += a (rows x n) times b (n x columns), and a bias. */
static nc_status nc_tir__affine(nc_fixed *to, const nc_fixed *a, const nc_fixed *b, uint32_t rows,
                                uint32_t n, uint32_t columns, const nc_fixed *bias) {
    nc_status status = nc_fixed_matmul_within(to, a, NC_TIR__VALUE_LIMIT, b, NC_TIR__WEIGHT_LIMIT,
                                              rows, n, columns);
    uint32_t i, k;
    if (bias)
        for (i = 0; i < rows; i++)
            for (k = 0; k < columns; k++)
                to[i * columns + k] = nc_gl_add(to[i * columns + k], bias[k]);
    nc_tir__bound_values(to, rows * columns);
    return status;
}

/* Buffers of one forward pass. */
struct nc_tir__activations {
    nc_fixed h[NC_TIR_BLOCK_NODES * NC_TIR__D], q[NC_TIR_BLOCK_NODES * NC_TIR__D];
    nc_fixed k[NC_TIR_BLOCK_NODES * NC_TIR__D], v[NC_TIR_BLOCK_NODES * NC_TIR__D];
    nc_fixed up[NC_TIR_BLOCK_NODES * NC_TIR__FFN];
};
typedef struct nc_tir__activations nc_tir__activations;

/* Attention of one head (from column `first` on) for n nodes, into those columns of h: scores of
 * all pairs, weights over the nodes attended to (mask), and the values they weigh. */
static nc_status nc_tir__attend(nc_tir__activations *a, uint32_t n, uint32_t first,
                                const uint32_t *mask) {
    enum { WIDTH = NC_TIR__D / NC_TIR__HEADS, NODES = NC_TIR_BLOCK_NODES };
    const nc_fixed scale = 11585; /* 1 / sqrt(32) */
    nc_fixed query[NODES * WIDTH], key[WIDTH * NODES], value[NODES * WIDTH];
    nc_fixed score[NODES * NODES], some[NODES];
    uint32_t i, j, count;
    nc_status status;
    memset(query, 0, sizeof query);
    memset(key, 0, sizeof key);
    memset(value, 0, sizeof value);
    for (i = 0; i < n; i++) {
        const uint32_t at = i * NC_TIR__D + first;
        memcpy(query + i * (uint32_t)WIDTH, a->q + at, WIDTH * sizeof *query);
        memcpy(value + i * (uint32_t)WIDTH, a->v + at, WIDTH * sizeof *value);
        for (j = 0; j < WIDTH; j++) key[j * NODES + i] = a->k[at + j]; /* transposed */
    }
    status = nc_fixed_matmul_within(score, query, NC_TIR__VALUE_LIMIT, key, NC_TIR__VALUE_LIMIT, n,
                                    WIDTH, NODES);
    for (i = 0; i < n && status == NC_OK; i++) {
        nc_fixed *row = score + i * (uint32_t)NODES;
        for (j = count = 0; j < n; j++)
            if (mask[i] >> j & 1) some[count++] = nc_fixed_mul(row[j], scale);
        status = nc_fixed_softmax(some, some, count);
        for (j = count = 0; j < n; j++) row[j] = mask[i] >> j & 1 ? some[count++] : 0;
        memmove(score + i * n, row, n * sizeof *row); /* n columns from here on */
    }
    if (status == NC_OK)
        status = nc_fixed_matmul_within(query, score, NC_FIXED_ONE, value, NC_TIR__VALUE_LIMIT, n,
                                        n, WIDTH);
    for (i = 0; i < n; i++)
        memcpy(a->h + i * NC_TIR__D + first, query + i * (uint32_t)WIDTH, WIDTH * sizeof *query);
    return status;
}

/* Latents of a block's nodes, n x 64. */
static nc_status nc_tir__forward(const nc_tir_model *model, const nc_gl *words, nc_fixed *x,
                                 nc_tir__activations *a) {
    uint32_t n = nc_tir__node_count(words), mask[NC_TIR_BLOCK_NODES], i, k, layer;
    nc_status status = NC_OK;
    memset(x, 0, n * NC_TIR__D * sizeof *x);
    for (i = 0; i < n; i++) {
        uint32_t rows[6];
        nc_tir__node_rows(words, i, rows);
        mask[i] = nc_tir__attended(words, n, i);
        for (k = 0; k < 6; k++)
            nc_tir__add_row(x + i * NC_TIR__D,
                            model->w + NC_TIR__P_NODES + rows[k] * (uint32_t)NC_TIR__D);
    }
    for (layer = 0; layer < NC_TIR__LAYERS && n && status == NC_OK; layer++) {
        const nc_fixed *w = model->w + layer * (uint32_t)NC_TIR__LAYER;
        for (i = 0; i < n && status == NC_OK; i++)
            status = nc_fixed_layer_norm(a->h + i * NC_TIR__D, x + i * NC_TIR__D, NC_TIR__D,
                                         w + NC_TIR__L_GAMMA, w + NC_TIR__L_BETA, 1);
        if (status != NC_OK) return status;
        nc_tir__bound_values(a->h, n * NC_TIR__D);
        status = nc_tir__affine(a->q, a->h, w + NC_TIR__L_Q, n, NC_TIR__D, NC_TIR__D, NULL);
        if (status == NC_OK)
            status = nc_tir__affine(a->k, a->h, w + NC_TIR__L_K, n, NC_TIR__D, NC_TIR__D, NULL);
        if (status == NC_OK)
            status = nc_tir__affine(a->v, a->h, w + NC_TIR__L_V, n, NC_TIR__D, NC_TIR__D, NULL);
        for (k = 0; k < NC_TIR__D && status == NC_OK; k += NC_TIR__D / NC_TIR__HEADS)
            status = nc_tir__attend(a, n, k, mask);
        if (status == NC_OK)
            status = nc_tir__affine(a->q, a->h, w + NC_TIR__L_O, n, NC_TIR__D, NC_TIR__D, NULL);
        for (i = 0; i < n; i++) nc_tir__add_row(x + i * NC_TIR__D, a->q + i * NC_TIR__D);
        nc_tir__bound_values(x, n * NC_TIR__D);
        if (status == NC_OK)
            status = nc_tir__affine(a->up, x, w + NC_TIR__L_UP, n, NC_TIR__D, NC_TIR__FFN,
                                    w + NC_TIR__L_BIAS);
        for (i = 0; i < n * NC_TIR__FFN; i++) a->up[i] = nc_fixed_relu(a->up[i]);
        if (status == NC_OK)
            status =
                nc_tir__affine(a->q, a->up, w + NC_TIR__L_DOWN, n, NC_TIR__FFN, NC_TIR__D, NULL);
        for (i = 0; i < n; i++) nc_tir__add_row(x + i * NC_TIR__D, a->q + i * NC_TIR__D);
        nc_tir__bound_values(x, n * NC_TIR__D);
    }
    return status;
}

NC_API nc_status nc_tir_model_forward(const nc_tir_model *model, const nc_gl *words, size_t blocks,
                                      nc_fixed *latents) {
    nc_tir__activations *a;
    nc_status status = NC_OK;
    size_t i;
    if (!model || !words || !latents) return NC_ERR_ARG;
    for (i = 0; i < blocks; i++)
        if (nc_tir__check_words(words + i * NC_TIR_BLOCK_WORDS) < 0) return NC_ERR_FORMAT;
    a = (nc_tir__activations *)nc__alloc(NULL, sizeof *a);
    if (!a) return NC_ERR_MEMORY;
    memset(latents, 0, blocks * NC_TIR_BLOCK_NODES * NC_TIR__D * sizeof *latents);
    for (i = 0; i < blocks && status == NC_OK; i++)
        status = nc_tir__forward(model, words + i * NC_TIR_BLOCK_WORDS,
                                 latents + i * NC_TIR_BLOCK_NODES * NC_TIR__D, a);
    nc__free(NULL, a, sizeof *a);
    return status;
}

/* Decoder: rows x 128 in, rows x 64 out; hidden has rows x 128. */
static nc_status nc_tir__decode(const nc_tir_model *model, const nc_fixed *in, uint32_t rows,
                                nc_fixed *hidden, nc_fixed *out) {
    nc_status status = nc_tir__affine(hidden, in, model->w + NC_TIR__P_HIDDEN, rows, NC_TIR__IN,
                                      NC_TIR__FFN, model->w + NC_TIR__P_HIDDEN_BIAS);
    uint32_t i;
    for (i = 0; i < rows * NC_TIR__FFN; i++) hidden[i] = nc_fixed_relu(hidden[i]);
    if (status == NC_OK)
        status = nc_tir__affine(out, hidden, model->w + NC_TIR__P_OUT, rows, NC_TIR__FFN,
                                NC_TIR__OUT_CODES, model->w + NC_TIR__P_OUT_BIAS);
    return status;
}

/* Weights file: "NCTIRW1\n", counts of parameters (u32 each: network, embedding), the parameters
 * as little-endian field elements of 8 bytes, the Poseidon2 digest (trident parameters) of them. */
enum { NC_TIR__FILE_HEAD = 16, NC_TIR__FILE_BYTES = 16 + 8 * NC_TIR__PARAMETERS + 32 };

NC_API void nc_tir_model_digest(const nc_tir_model *model, nc_gl digest[4]) {
    nc_gl_trident_hash_fields(model->w, NC_TIR__PARAMETERS, digest);
}

NC_API nc_status nc_tir_model_read(nc_tir_model **model, const void *data, size_t bytes,
                                   nc_error *err) {
    const uint8_t *file = (const uint8_t *)data;
    nc_status status = NC_OK;
    nc_gl digest[4];
    size_t i;
    nc__clear(err);
    if (!model || !data) return nc__fail(err, NC_ERR_ARG, 0, 0, "no model or no data");
    *model = NULL;
    if (bytes < NC_TIR__FILE_HEAD || memcmp(file, "NCTIRW", 6) != 0)
        return nc__fail(err, NC_ERR_FORMAT, 0, 0, "not a weights file");
    if (memcmp(file + 6, "1\n", 2) != 0)
        return nc__fail(err, NC_ERR_UNSUPPORTED, 0, 0, "weights of another version");
    if (nc__get_le(file + 8, 4) != NC_TIR__P_NODES ||
        nc__get_le(file + 12, 4) != NC_TIR__PARAMETERS - NC_TIR__P_NODES)
        return nc__fail(err, NC_ERR_MISMATCH, 0, 0, "weights of another network");
    if (bytes != NC_TIR__FILE_BYTES)
        return nc__fail(err, NC_ERR_FORMAT, 0, 0, "the weights file has a wrong length");
    *model = (nc_tir_model *)nc__calloc(NULL, sizeof **model);
    if (!*model) return nc__fail(err, NC_ERR_MEMORY, 0, 0, "out of memory");
    for (i = 0; i < NC_TIR__PARAMETERS; i++) {
        (*model)->w[i] = nc__get_le(file + NC_TIR__FILE_HEAD + 8 * i, 8);
        if ((*model)->w[i] >= NC_GL_P || nc_fixed_abs((*model)->w[i]) > NC_TIR__WEIGHT_LIMIT) break;
    }
    if (i < NC_TIR__PARAMETERS) {
        status = nc__fail(err, NC_ERR_FORMAT, 0, 0, "weight %lu is not below 8", (unsigned long)i);
    } else {
        nc_tir_model_digest(*model, digest);
        for (i = 0; i < 4 && nc__get_le(file + NC_TIR__FILE_BYTES - 32 + 8 * i, 8) == digest[i];)
            i++;
        if (i < 4)
            status = nc__fail(err, NC_ERR_MISMATCH, 0, 0, "the weights do not match their digest");
    }
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
    if (!model || !path) return nc__fail(err, NC_ERR_ARG, 0, 0, "no model or no path");
    *model = NULL;
    status = nc__file_read(path, NULL, &data, &bytes, err);
    if (status != NC_OK) return status;
    status = nc_tir_model_read(model, data, bytes, err);
    nc__free(NULL, data, bytes + 1);
    return status;
}

static void nc_tir__model_pack(const nc_tir_model *model, uint8_t *file) {
    nc_gl digest[4];
    size_t i;
    memcpy(file, "NCTIRW1\n", 8);
    nc__put_le(file + 8, NC_TIR__P_NODES, 4);
    nc__put_le(file + 12, NC_TIR__PARAMETERS - NC_TIR__P_NODES, 4);
    for (i = 0; i < NC_TIR__PARAMETERS; i++)
        nc__put_le(file + NC_TIR__FILE_HEAD + 8 * i, model->w[i], 8);
    nc_tir_model_digest(model, digest);
    for (i = 0; i < 4; i++) nc__put_le(file + NC_TIR__FILE_BYTES - 32 + 8 * i, digest[i], 8);
}

NC_API nc_status nc_tir_model_save(const nc_tir_model *model, const char *path, nc_error *err) {
    uint8_t *file;
    nc__span span;
    nc_status status;
    if (!model || !path) return nc__fail(err, NC_ERR_ARG, 0, 0, "no model or no path");
    file = (uint8_t *)nc__alloc(NULL, NC_TIR__FILE_BYTES);
    if (!file) return nc__fail(err, NC_ERR_MEMORY, 0, 0, "out of memory");
    nc_tir__model_pack(model, file);
    span.data = file;
    span.bytes = NC_TIR__FILE_BYTES;
    status = nc__file_write(path, &span, 1, err);
    nc__free(NULL, file, NC_TIR__FILE_BYTES);
    return status;
}
#endif

/* >>search ========================================================================= */

/* The block's operations, their order, and where its values must end are the problem; a state is
 * a stack and the set of operations done. Reads and writes of several elements are taken apart
 * into units, which moves join again as the stack allows. Values that differ by a constant form
 * a family: one is made from another by addi. */

/* Scores are integers in 1/64 instruction, so that they are the same on every machine. */
enum {
    NC_TIR__SCORE = 64,
    NC_TIR__SCORE_DEAD = 16,      /* a value nobody needs */
    NC_TIR__SCORE_MISPLACED = 19, /* an element that is not where it must end */
    NC_TIR__SCORE_DISORDER = 40,  /* an element out of the order it must end in */
    NC_TIR__SCORE_ARGS = 20       /* an operand out of its order */
};

/* Steele, Lea, Flood: splitmix64. */
static uint64_t nc_tir__splitmix(uint64_t *state) {
    uint64_t z = *state += UINT64_C(0x9E3779B97F4A7C15);
    z = (z ^ (z >> 30)) * UINT64_C(0xBF58476D1CE4E5B9);
    z = (z ^ (z >> 27)) * UINT64_C(0x94D049BB133111EB);
    return z ^ (z >> 31);
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

/* Local number of a term, or -1 when there are too many. */
static int nc_tir__localize(nc_tir__prover *p, uint32_t term) {
    nc_tir__local *x = &p->local[p->local_count];
    uint32_t i;
    for (i = 0; i < p->local_count; i++)
        if (p->local[i].term == term) return (int)i;
    if (p->local_count == NC_TIR__MAX_LOCAL) return -1;
    x->term = term;
    x->base = nc_tir__base_of(&p->terms, term, &x->offset);
    x->is_constant = x->base == nc_tir__constant(&p->terms, 0);
    for (i = 0; p->local[i].base != x->base; i++) { /* ends at x itself */
    }
    x->family = (uint8_t)i;
    return (int)p->local_count++;
}

/* The local number of another member of the family, or -1. */
static int nc_tir__relative(const nc_tir__prover *p, uint32_t local, uint64_t offset) {
    uint32_t i;
    for (i = 0; i < p->local_count; i++)
        if (p->local[i].base == p->local[local].base && p->local[i].offset == offset) return (int)i;
    return -1;
}

/* Mark the first operation that computes a relative of the term, and what it needs in turn. */
static void nc_tir__need(nc_tir__prover *p, uint32_t term) {
    nc_tir__meaning *s = &p->before;
    uint64_t offset;
    uint32_t i, j, base = nc_tir__base_of(&p->terms, term, &offset);
    if (base == nc_tir__constant(&p->terms, 0)) return;
    for (i = p->base; i < NC_TIR__INPUTS; i++) /* inputs are the first terms, in order */
        if (i == base) return;
    for (i = 0; i < s->node_count; i++) {
        nc_tir__node *node = &s->nodes[i];
        for (j = 0; j < node->result_count; j++) {
            if (nc_tir__base_of(&p->terms, node->results[j], &offset) != base) continue;
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

/* Append a unit of the problem; operands and results are terms. 0 when there is no room. */
static int nc_tir__add_unit(nc_tir__prover *p, const nc_tir__node *node, const uint32_t *args,
                            uint32_t arg_count, const uint32_t *results, uint32_t result_count) {
    const nc_tir__instruction *table = &nc_tir__table[node->instruction.op];
    uint32_t channel = table->channel, j, self = p->unit_count;
    nc_tir__unit *u = &p->units[self];
    int local, writes = (table->flags & NC_TIR__WRITES) != 0;
    int absorbs = node->instruction.op == NC_TIR__I_SPONGE_ABSORB_MEM;
    if (self == NC_TIR__MAX_UNITS) return 0;
    memset(u, 0, sizeof *u);
    u->instruction = node->instruction;
    u->arg_count = (uint8_t)arg_count;
    u->result_count = (uint8_t)result_count;
    for (j = 0; j < arg_count; j++) {
        if ((local = nc_tir__localize(p, args[j])) < 0) return 0;
        u->args[j] = (uint8_t)local;
    }
    for (j = 0; j < result_count; j++) {
        if ((local = nc_tir__localize(p, results[j])) < 0) return 0;
        u->results[j] = (uint8_t)local;
    }
    u->weight = NC_TIR__SCORE;
    if (channel == NC_TIR__PUBLIC_IN || channel == NC_TIR__OUT ||
        u->instruction.op == NC_TIR__I_DIVINE)
        u->weight = NC_TIR__SCORE / 5 + 1;
    for (j = 0; j < self; j++) { /* reads wait for the last write, writes for all before them */
        const nc_tir__unit *v = &p->units[j];
        const nc_tir__instruction *other = &nc_tir__table[v->instruction.op];
        int wrote = (other->flags & NC_TIR__WRITES) != 0;
        if ((channel && other->channel == channel && (wrote || writes)) ||
            (absorbs && other->channel == NC_TIR__RAM && wrote) ||
            (v->instruction.op == NC_TIR__I_SPONGE_ABSORB_MEM && channel == NC_TIR__RAM && writes))
            u->after[j / 64] |= UINT64_C(1) << (j & 63);
    }
    p->unit_count++;
    return 1;
}

/* Take a needed operation apart into units. 0 when there is no room. */
static int nc_tir__units_of(nc_tir__prover *p, const nc_tir__node *node) {
    nc_tir__terms *t = &p->terms;
    uint32_t n = (uint32_t)node->instruction.arg, k, args[2], next;
    uint64_t value;
    switch (node->instruction.op) {
    case NC_TIR__I_DIVINE:
    case NC_TIR__I_READ_IO:
        for (k = 0; k < n; k++)
            if (!nc_tir__add_unit(p, node, NULL, 0, &node->results[k], 1)) return 0;
        return 1;
    case NC_TIR__I_WRITE_IO:
        for (k = 0; k < n; k++)
            if (!nc_tir__add_unit(p, node, &node->args[n - 1 - k], 1, NULL, 0)) return 0;
        return 1;
    case NC_TIR__I_READ_MEM:
    case NC_TIR__I_WRITE_MEM:
        for (k = 0; k < n; k++) {
            int read = node->instruction.op == NC_TIR__I_READ_MEM;
            uint64_t step = read ? nc_gl_neg((nc_gl)k) : (uint64_t)k;
            args[0] = node->args[read ? 0 : n - 1 - k];
            args[1] = nc_tir__linear(t, node->args[read ? 0 : n], 1, nc_tir__constant(t, step));
            next = nc_tir__linear(t, args[1], 1, nc_tir__constant(t, read ? NC_GL_P - 1 : 1));
            if (nc_tir__localize(p, next) < 0) return 0;
            if (!nc_tir__add_unit(p, node, args + read, read ? 1 : 2, &node->results[k],
                                  (uint32_t)read))
                return 0;
        }
        return 1;
    case NC_TIR__I_ADDI: return 1; /* made within its family */
    case NC_TIR__I_ADD:
        for (k = 0; k < 2; k++)
            if (nc_tir__is_constant(t, node->args[k], &value)) return 1;
        break;
    default: break;
    }
    return nc_tir__add_unit(p, node, node->args, node->arg_count, node->results,
                            node->result_count);
}

/* Times a value is owed by the goal and by other units. */
static uint32_t nc_tir__demand(const nc_tir__prover *p, uint8_t local, uint32_t except) {
    uint32_t n = 0, i, j;
    for (i = 0; i < p->goal_count; i++) n += p->goal[i] == local;
    for (i = 0; i < p->unit_count; i++)
        for (j = 0; i != except && j < p->units[i].arg_count; j++)
            n += p->units[i].args[j] == local;
    return n;
}

/* assert_vector leaves one half of its operands on the stack, here the one more wanted; where it
 * is wanted anyway it is not owed twice. */
static void nc_tir__choose_half(nc_tir__prover *p, uint32_t unit) {
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

/* Set up the problem from p->before: needed units, goal, starting stack. 0 when too large. */
static int nc_tir__pose(nc_tir__prover *p, nc_tir__state *start) {
    nc_tir__meaning *s = &p->before;
    uint32_t i, j;
    int local, base = NC_TIR__INPUTS + s->dip - 16;
    if (s->too_many_nodes || base < 0) return 0;
    p->base = (uint32_t)base;
    p->local_count = p->unit_count = 0;
    memset(start, 0, sizeof *start);
    if (NC_TIR__INPUTS - p->base > NC_TIR__WINDOW || s->n - p->base > NC_TIR__WINDOW) return 0;
    for (i = p->base; i < NC_TIR__INPUTS; i++) {
        if ((local = nc_tir__localize(p, i)) < 0) return 0;
        start->stack[start->n++] = (uint8_t)local;
    }
    for (i = 0; i < s->node_count; i++) {
        nc_tir__compare_directly(&p->terms, &s->nodes[i]);
        nc_tir__as_multiple(&p->terms, &s->nodes[i]);
    }
    for (i = 0; i < s->node_count; i++) { /* writes always; crashes when the check is new */
        const nc_tir__instruction *table = &nc_tir__table[s->nodes[i].instruction.op];
        if (!(table->flags & NC_TIR__WRITES) && !s->nodes[i].new_check) continue;
        s->nodes[i].needed = 1;
        for (j = 0; j < s->nodes[i].arg_count; j++) nc_tir__need(p, s->nodes[i].args[j]);
    }
    for (i = p->base; i < s->n; i++) nc_tir__need(p, s->stack[i]);
    p->goal_count = s->n - p->base;
    for (i = p->base; i < s->n; i++) {
        if ((local = nc_tir__localize(p, s->stack[i])) < 0) return 0;
        p->goal[i - p->base] = (uint8_t)local;
    }
    for (i = 0; i < s->node_count; i++)
        if (s->nodes[i].needed && !nc_tir__units_of(p, &s->nodes[i])) return 0;
    if (p->terms.overflow) return 0;
    for (i = 0, p->present = 0; i < p->unit_count; i++) {
        p->present |= UINT64_C(1) << p->units[i].instruction.op;
        if (p->units[i].instruction.op == NC_TIR__I_ASSERT_VECTOR) nc_tir__choose_half(p, i);
    }
    for (i = 0; i < start->n; i++) start->hash += p->place_key[i] * (start->stack[i] + 1u);
    return 1;
}

/* What a state has of every value and still owes, by value and by family. */
typedef struct nc_tir__ledger {
    int16_t spare[NC_TIR__MAX_LOCAL]; /* on the stack or coming, minus owed */
    int16_t surplus[NC_TIR__MAX_LOCAL], deficit[NC_TIR__MAX_LOCAL], live[NC_TIR__MAX_LOCAL];
    int32_t copies, dead, lost, open;
} nc_tir__ledger;

static void nc_tir__count_family(const nc_tir__prover *p, nc_tir__ledger *l, uint32_t f, int sign) {
    int rest = l->surplus[f] - l->deficit[f];
    l->copies += sign * l->deficit[f];
    if (rest > 0) l->dead += sign * rest;
    if (l->deficit[f] > 0 && l->live[f] == 0 && !p->local[f].is_constant) l->lost += sign;
}

/* A value's supply changes by `live`, its demand by `owed`. */
static void nc_tir__adjust(const nc_tir__prover *p, nc_tir__ledger *l, uint32_t local, int live,
                           int owed) {
    uint32_t f = p->local[local].family;
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

static int nc_tir__is_done(const nc_tir__state *s, uint32_t unit) {
    return (int)(s->done[unit / 64] >> (unit & 63) & 1);
}

static void nc_tir__count_up(const nc_tir__prover *p, const nc_tir__state *s, nc_tir__ledger *l) {
    uint32_t i, j;
    memset(l, 0, sizeof *l);
    for (i = 0; i < p->goal_count; i++) nc_tir__adjust(p, l, p->goal[i], 0, 1);
    for (i = 0; i < s->n; i++) nc_tir__adjust(p, l, s->stack[i], 1, 0);
    for (i = 0; i < p->unit_count; i++) {
        if (nc_tir__is_done(s, i)) continue;
        l->open += p->units[i].weight;
        for (j = p->units[i].first_owed; j < p->units[i].arg_count; j++)
            nc_tir__adjust(p, l, p->units[i].args[j], 0, 1);
        for (j = 0; j < p->units[i].result_count; j++)
            nc_tir__adjust(p, l, p->units[i].results[j], 1, 0);
    }
}

/* A move from a state: an instruction and the units it does. */
typedef struct nc_tir__move {
    uint64_t arg, hash;
    uint32_t parent;
    int32_t score, guide, logit;
    uint8_t op, count, value; /* value: local number of what push, addi, read_mem... leave on top */
    uint8_t units[5];
} nc_tir__move;

/* What a move takes from the stack and what it puts there, bottom first. */
typedef struct nc_tir__change {
    uint32_t pops, pushes;
    uint8_t top[NC_TIR__MAX_ARGS + 16];
} nc_tir__change;

static void nc_tir__change_of(const nc_tir__prover *p, const nc_tir__state *s,
                              const nc_tir__move *m, nc_tir__change *c) {
    uint32_t i, n = (uint32_t)m->arg, last = s->n - 1u;
    const nc_tir__unit *u = &p->units[m->units[0]];
    c->pops = c->pushes = 0;
    switch (m->op) {
    case NC_TIR__I_POP: c->pops = n; return;
    case NC_TIR__I_DUP: c->top[c->pushes++] = s->stack[last - n]; return;
    case NC_TIR__I_PUSH: c->top[c->pushes++] = m->value; return;
    case NC_TIR__I_ADDI:
        c->pops = 1;
        c->top[c->pushes++] = m->value;
        return;
    case NC_TIR__I_SWAP:
    case NC_TIR__I_PICK:
    case NC_TIR__I_PLACE:
        c->pops = c->pushes = n + 1;
        if (m->op == NC_TIR__I_PLACE) {
            c->top[0] = s->stack[last];
            for (i = 0; i < n; i++) c->top[1 + i] = s->stack[last - n + i];
        } else {
            for (i = 0; i < n; i++) c->top[i] = s->stack[last - n + 1 + i];
            c->top[n] = s->stack[last - n];
            if (m->op == NC_TIR__I_PICK) return;
            for (i = 1; i < n; i++) c->top[i] = s->stack[last - n + i];
            c->top[0] = s->stack[last];
        }
        return;
    case NC_TIR__I_READ_IO:
    case NC_TIR__I_DIVINE:
    case NC_TIR__I_READ_MEM:
        for (i = 0; i < n; i++) c->top[c->pushes++] = p->units[m->units[i]].results[0];
        if (m->op != NC_TIR__I_READ_MEM) return;
        c->pops = 1;
        c->top[c->pushes++] = m->value;
        return;
    case NC_TIR__I_WRITE_IO: c->pops = n; return;
    case NC_TIR__I_WRITE_MEM:
        c->pops = n + 1;
        c->top[c->pushes++] = m->value;
        return;
    case NC_TIR__I_ASSERT_VECTOR: c->pops = 5; return; /* either half may be the one that stays */
    default: break;
    }
    c->pops = u->arg_count;
    c->pushes = u->result_count;
    memcpy(c->top, u->results, u->result_count);
}

/* Values that must come to lie in order: the goal, or the operands of a coming operation. */
typedef struct nc_tir__aim {
    uint32_t count, first; /* stack elements from place `first` on count */
    int32_t met;           /* how many of its values the stack has */
    uint64_t match[NC_TIR__MAX_LOCAL];
    uint64_t row[NC_TIR__WINDOW + 1]; /* of the state being expanded, by height */
    int8_t wanted[NC_TIR__MAX_LOCAL], has[NC_TIR__MAX_LOCAL];
} nc_tir__aim;

/* The search: moves from one level of states, of which the best become the next level. */
typedef struct nc_tir__beam {
    nc_tir__prover *p;
    const nc_tir__state *s; /* being expanded */
    uint32_t parent, seen_mask;
    nc_tir__ledger ledger;
    int32_t misplaced[NC_TIR__WINDOW + 1]; /* below each height */
    nc_tir__aim aims[3]; /* the goal; operands of the next operations with three or more */
    int aim_count;
    nc_tir__move *moves; /* stb_ds array */
    uint64_t *seen;      /* hashes of states kept so far: open addressing, 0 is empty */
    uint64_t expanded;
} nc_tir__beam;

/* Longest common subsequence of a stack and an aim, one stack element a step (Hyyro 2004): the
 * zeros of `row` count its length; match has a bit for every place where the aim has a value. */
static uint64_t nc_tir__align(uint64_t row, uint64_t match) {
    uint64_t hit = row & match;
    return (row + hit) | (row - hit);
}

/* An aim: values that must lie in this order, with how many of them the stack has. */
static void nc_tir__set_aim(nc_tir__aim *a, const uint8_t *values, uint32_t count) {
    uint32_t i;
    memset(a, 0, sizeof *a);
    a->count = count;
    for (i = 0; i < count; i++) {
        a->match[values[i]] |= UINT64_C(1) << i;
        a->wanted[values[i]]++;
    }
}

static uint32_t nc_tir__zeros(uint64_t row, uint32_t width) {
    uint32_t n = 0;
    row = ~row & (width < 64 ? (UINT64_C(1) << width) - 1 : ~UINT64_C(0));
    for (; row; row &= row - 1) n++;
    return n;
}

/* How many values, from place `at` on, are not where they must end. */
static int32_t nc_tir__misplaced(const nc_tir__prover *p, uint32_t at, const uint8_t *values,
                                 uint32_t count) {
    int32_t n = 0;
    uint32_t i;
    for (i = 0; i < count && at + i < p->goal_count; i++) n += p->goal[at + i] != values[i];
    return n;
}

/* Prepare the aim for the state being expanded. */
static void nc_tir__take_aim(nc_tir__aim *a, const nc_tir__state *s) {
    uint32_t i;
    memset(a->has, 0, sizeof a->has);
    a->met = 0;
    a->row[0] = ~UINT64_C(0);
    for (i = 0; i < s->n; i++) {
        uint8_t v = s->stack[i];
        a->row[i + 1] = i < a->first ? a->row[i] : nc_tir__align(a->row[i], a->match[v]);
        if (i >= a->first && a->has[v]++ < a->wanted[v]) a->met++;
    }
}

/* Values that are there but out of order after a change of the stack. */
static int32_t nc_tir__disorder(nc_tir__aim *a, const nc_tir__state *s, const nc_tir__change *c) {
    uint32_t keep = s->n - c->pops, i;
    uint64_t row = a->row[keep];
    int32_t met = a->met;
    for (i = keep; i < s->n; i++)
        if (i >= a->first && --a->has[s->stack[i]] < a->wanted[s->stack[i]]) met--;
    for (i = 0; i < c->pushes; i++) {
        if (keep + i < a->first) continue;
        row = nc_tir__align(row, a->match[c->top[i]]);
        if (a->has[c->top[i]]++ < a->wanted[c->top[i]]) met++;
    }
    for (i = 0; i < c->pushes; i++)
        if (keep + i >= a->first) a->has[c->top[i]]--;
    for (i = keep; i < s->n; i++)
        if (i >= a->first) a->has[s->stack[i]]++;
    return met - (int32_t)nc_tir__zeros(row, a->count);
}

/* Supply and demand after units are done (sign 1) or undone (-1). */
static void nc_tir__account(nc_tir__beam *b, const nc_tir__move *m, const nc_tir__change *c,
                            int sign) {
    const nc_tir__prover *p = b->p;
    uint32_t i, j;
    for (i = 0; i < m->count; i++) {
        const nc_tir__unit *u = &p->units[m->units[i]];
        b->ledger.open -= sign * u->weight;
        for (j = u->first_owed; j < u->arg_count; j++)
            nc_tir__adjust(p, &b->ledger, u->args[j], 0, -sign);
        for (j = 0; j < u->result_count; j++)
            nc_tir__adjust(p, &b->ledger, u->results[j], -sign, 0);
    }
    for (i = 0; i < c->pops; i++)
        nc_tir__adjust(p, &b->ledger, b->s->stack[b->s->n - 1 - i], -sign, 0);
    for (i = 0; i < c->pushes; i++) nc_tir__adjust(p, &b->ledger, c->top[i], sign, 0);
}

/* Offer a move unless it loses a value for good or leaves the permitted depth. */
static void nc_tir__offer(nc_tir__beam *b, uint32_t op, uint64_t arg, nc_tir__move *m) {
    const nc_tir__prover *p = b->p;
    const nc_tir__state *s = b->s;
    nc_tir__ledger *l = &b->ledger;
    nc_tir__change c;
    int moves_only = op == NC_TIR__I_SWAP || op == NC_TIR__I_PICK || op == NC_TIR__I_PLACE;
    int height, dip, k;
    uint32_t i, keep;
    m->op = (uint8_t)op;
    m->arg = arg;
    m->parent = b->parent;
    nc_tir__change_of(p, s, m, &c);
    height = (int)(s->n - c.pops + c.pushes);
    dip = height + (int)p->base - NC_TIR__INPUTS;
    if (s->n < c.pops || height < 16 || height > NC_TIR__WINDOW || dip < p->before.dip) return;
    keep = s->n - c.pops;
    m->hash = s->hash;
    for (i = 0; i < m->count; i++) m->hash += p->unit_key[m->units[i]];
    for (i = 0; i < c.pops; i++) m->hash -= p->place_key[keep + i] * (s->stack[keep + i] + 1u);
    for (i = 0; i < c.pushes; i++) m->hash += p->place_key[keep + i] * (c.top[i] + 1u);
    if (!moves_only) nc_tir__account(b, m, &c, 1);
    m->guide = s->guide;
    m->score = s->guide + l->open + NC_TIR__SCORE * l->copies + NC_TIR__SCORE_DEAD * l->dead;
    for (k = 0; k < b->aim_count; k++)
        m->score += (k ? NC_TIR__SCORE_ARGS : NC_TIR__SCORE_DISORDER) *
                    nc_tir__disorder(&b->aims[k], s, &c);
    m->score += NC_TIR__SCORE_MISPLACED *
                (b->misplaced[keep] + nc_tir__misplaced(p, keep, c.top, c.pushes));
    if (!l->lost) stbds_arrput(b->moves, *m);
    if (!moves_only) nc_tir__account(b, m, &c, -1);
}

static void nc_tir__apply(const nc_tir__prover *p, nc_tir__state *s, const nc_tir__move *m) {
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
    s->guide = m->guide;
    s->parent = m->parent;
    s->op = m->op;
    s->arg = m->arg;
}

/* Whether a unit may be done now, the units in `m` being done in the same move. */
static int nc_tir__turn(const nc_tir__beam *b, uint32_t unit, const nc_tir__move *m) {
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
    return u->arg_count == 2 && (nc_tir__table[u->instruction.op].flags & NC_TIR__SWAPS) &&
           nc_tir__table[u->instruction.op].cost[2] == 0 && top[0] == u->args[1] &&
           top[1] == u->args[0];
}

/* The next unit that continues a joined read or write; -1 when there is none. */
static int nc_tir__next_unit(const nc_tir__beam *b, const nc_tir__move *m, uint32_t op) {
    const nc_tir__prover *p = b->p;
    const nc_tir__state *s = b->s;
    uint8_t top = s->stack[s->n - 1];
    uint64_t k = m->count;
    int memory = op == NC_TIR__I_READ_MEM || op == NC_TIR__I_WRITE_MEM, pointer = -1;
    uint32_t i, depth = (uint32_t)k + 1 + (op == NC_TIR__I_WRITE_MEM);
    if (memory)
        pointer = nc_tir__relative(
            p, top, nc_gl_add(p->local[top].offset, op == NC_TIR__I_READ_MEM ? nc_gl_neg(k) : k));
    if (memory && pointer < 0) return -1;
    for (i = 0; i < p->unit_count; i++) {
        const nc_tir__unit *u = &p->units[i];
        if (u->instruction.op != op || (memory && u->args[u->arg_count - 1] != pointer)) continue;
        if (!nc_tir__turn(b, i, m)) continue;
        if (op == NC_TIR__I_WRITE_IO || op == NC_TIR__I_WRITE_MEM) {
            if (depth > s->n || s->stack[s->n - depth] != u->args[0]) continue;
        }
        return (int)i;
    }
    return -1;
}

/* Moves that do units: operations whose operands are on top, reads and writes joined up to five. */
static void nc_tir__expand_units(nc_tir__beam *b) {
    static const uint8_t joined[5] = {NC_TIR__I_DIVINE, NC_TIR__I_READ_IO, NC_TIR__I_WRITE_IO,
                                      NC_TIR__I_READ_MEM, NC_TIR__I_WRITE_MEM};
    const nc_tir__prover *p = b->p;
    nc_tir__move m;
    uint32_t i, k;
    int next;
    memset(&m, 0, sizeof m);
    for (i = 0; i < p->unit_count; i++) {
        const nc_tir__unit *u = &p->units[i];
        if (memchr(joined, (int)u->instruction.op, sizeof joined)) continue;
        m.count = 0;
        if (!nc_tir__ready(u, b->s) || !nc_tir__turn(b, i, &m)) continue;
        m.count = 1;
        m.units[0] = (uint8_t)i;
        nc_tir__offer(b, u->instruction.op, u->instruction.arg, &m);
    }
    for (k = 0; k < 5; k++) {
        if (!(p->present >> joined[k] & 1)) continue;
        m.count = 0;
        while (m.count < 5 && (next = nc_tir__next_unit(b, &m, joined[k])) >= 0) {
            m.units[m.count++] = (uint8_t)next;
            if (joined[k] == NC_TIR__I_READ_MEM || joined[k] == NC_TIR__I_WRITE_MEM) {
                const nc_tir__unit *u = &p->units[next];
                uint8_t pointer = u->args[u->arg_count - 1];
                next =
                    nc_tir__relative(p, pointer,
                                     nc_gl_add(p->local[pointer].offset,
                                               joined[k] == NC_TIR__I_READ_MEM ? NC_GL_P - 1 : 1));
                if (next < 0) break; /* cannot be: posed with the unit */
                m.value = (uint8_t)next;
            }
            nc_tir__offer(b, joined[k], m.count, &m);
        }
    }
}

/* Moves that copy, make or drop values: pop of what nobody needs, dup, addi, push. */
static void nc_tir__expand_values(nc_tir__beam *b) {
    const nc_tir__prover *p = b->p;
    const nc_tir__state *s = b->s;
    const nc_tir__ledger *l = &b->ledger;
    int16_t left[NC_TIR__MAX_LOCAL];
    nc_tir__move m;
    uint32_t i, dead;
    uint8_t top = s->stack[s->n - 1];
    memset(&m, 0, sizeof m);
    for (i = 0; i < 6 && i < s->n; i++)
        left[s->stack[s->n - 1 - i]] = l->spare[s->stack[s->n - 1 - i]];
    for (dead = 0; dead < 5 && dead < s->n && left[s->stack[s->n - 1 - dead]]-- > 0;) dead++;
    if (dead) nc_tir__offer(b, NC_TIR__I_POP, dead, &m);
    for (i = 0; i < 16 && i < s->n; i++) {
        uint8_t v = s->stack[s->n - 1 - i], f = p->local[v].family;
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

/* Moves that only rearrange. */
static void nc_tir__expand_moves(nc_tir__beam *b) {
    const nc_tir__state *s = b->s;
    nc_tir__move m;
    uint32_t i, k, last = s->n - 1u;
    memset(&m, 0, sizeof m);
    for (i = 1; i < 16 && i <= last; i++) {
        if (s->stack[last] != s->stack[last - i]) nc_tir__offer(b, NC_TIR__I_SWAP, i, &m);
        for (k = 1; k <= i && s->stack[last] == s->stack[last - k]; k++) {
        }
        if (i == 1 || k > i) continue; /* pick 1 and place 1 are swap 1 */
        nc_tir__offer(b, NC_TIR__I_PICK, i, &m);
        nc_tir__offer(b, NC_TIR__I_PLACE, i, &m);
    }
}

static int nc_tir__at_goal(const nc_tir__prover *p, const nc_tir__state *s) {
    uint32_t i;
    for (i = 0; i < p->unit_count; i++)
        if (!nc_tir__is_done(s, i)) return 0;
    return s->n == p->goal_count && s->dip == p->before.dip && !memcmp(s->stack, p->goal, s->n);
}

/* Remember a state's hash; 0 when it was there. */
static int nc_tir__see(nc_tir__beam *b, uint64_t hash) {
    uint32_t at = (uint32_t)(hash >> 32) & b->seen_mask;
    hash |= 1;
    for (; b->seen[at]; at = (at + 1) & b->seen_mask)
        if (b->seen[at] == hash) return 0;
    b->seen[at] = hash;
    return 1;
}

/* The `width` best moves, in the order of score and then of discovery, become states. */
static void nc_tir__keep_best(nc_tir__beam *b, uint32_t width) {
    nc_tir__prover *p = b->p;
    uint32_t n = (uint32_t)stbds_arrlenu(b->moves), i, kept = 0, least = NC_TIR__BUCKETS, most = 0;
    for (i = 0; i < n; i++) {
        int32_t score = b->moves[i].score;
        uint32_t bucket = score < 0                  ? 0
                          : score >= NC_TIR__BUCKETS ? NC_TIR__BUCKETS - 1
                                                     : (uint32_t)score;
        b->moves[i].score = (int32_t)bucket;
        if (bucket < least) least = bucket;
        if (bucket > most) most = bucket;
    }
    for (i = least; i <= most + 1; i++) p->bucket[i] = 0;
    for (i = 0; i < n; i++) p->bucket[b->moves[i].score + 1]++;
    for (i = least; i < most; i++) p->bucket[i + 1] += p->bucket[i];
    stbds_arrsetlen(p->order, n);
    for (i = 0; i < n; i++) p->order[p->bucket[b->moves[i].score]++] = i;
    for (i = 0; i < n && kept < width; i++) {
        const nc_tir__move *m = &b->moves[p->order[i]];
        nc_tir__state child;
        if (!nc_tir__see(b, m->hash)) continue;
        child = p->states[m->parent];
        nc_tir__apply(p, &child, m);
        stbds_arrput(p->states, child);
        kept++;
    }
}

/* The goal stays the same for all states; the operands of the next large operations do not. */
static void nc_tir__take_aims(nc_tir__beam *b) {
    const nc_tir__prover *p = b->p;
    uint32_t i;
    for (i = 0, b->misplaced[0] = 0; i < b->s->n; i++)
        b->misplaced[i + 1] = b->misplaced[i] + nc_tir__misplaced(p, i, b->s->stack + i, 1);
    b->aim_count = 1;
    nc_tir__take_aim(&b->aims[0], b->s);
    for (i = 0; i < p->unit_count && b->aim_count < 3; i++) {
        const nc_tir__unit *u = &p->units[i];
        if (u->arg_count < 3 || nc_tir__is_done(b->s, i)) continue;
        nc_tir__set_aim(&b->aims[b->aim_count], u->args, u->arg_count);
        nc_tir__take_aim(&b->aims[b->aim_count++], b->s);
    }
}

/* All moves from b->s join b->moves. */
static void nc_tir__expand(nc_tir__beam *b) {
    nc_tir__count_up(b->p, b->s, &b->ledger);
    nc_tir__take_aims(b);
    b->p->expanded++;
    nc_tir__expand_units(b);
    nc_tir__expand_values(b);
    nc_tir__expand_moves(b);
}

/* The instructions of the block whose work is still to be done, one bit each. */
static uint32_t nc_tir__open_nodes(const nc_tir__prover *p, const nc_tir__state *s) {
    uint32_t mask = 0, i;
    for (i = 0; i < p->unit_count; i++)
        if (!nc_tir__is_done(s, i) && p->units[i].instruction.line < NC_TIR_BLOCK_NODES)
            mask |= 1u << p->units[i].instruction.line;
    return mask;
}

/* Opcode class and argument of a move, as the decoder's outputs count them; 255: no argument. */
static void nc_tir__code_of(uint32_t op, uint64_t arg, uint8_t code[2]) {
    uint8_t kind = nc_tir__table[op].arg;
    code[0] = (uint8_t)(op < 48 ? op : (uint32_t)NC_TIR__I_HALT); /* which no block has */
    code[1] = kind == NC_TIR__INDEX || kind == NC_TIR__COUNT ? (uint8_t)(arg & 15) : 255;
}

/* Rows of the embedding of b->s: last opcode, its argument, what each upper element is. The
 * ledger is that of the state. */
static void nc_tir__state_rows(const nc_tir__beam *b, int first, uint8_t rows[2 + NC_TIR__TOPS]) {
    const nc_tir__prover *p = b->p;
    const nc_tir__state *s = b->s;
    uint8_t operand[NC_TIR__MAX_LOCAL] = {0}, code[2];
    uint32_t i, j;
    nc_tir__code_of(s->op, s->arg, code);
    rows[0] = first ? 0 : (uint8_t)(1 + code[0]);
    rows[1] = (uint8_t)(NC_TIR__ROWS_LAST + (first || code[1] > 15 ? 0 : code[1]));
    for (i = 0; i < p->unit_count; i++)
        for (j = 0; !nc_tir__is_done(s, i) && j < p->units[i].arg_count; j++)
            operand[p->units[i].args[j]] |= j + 1u == p->units[i].arg_count ? 2 : 1;
    for (j = 0; j < NC_TIR__TOPS; j++) {
        uint32_t at = s->n - 1u - j, kind = 0;
        if (j < s->n) {
            uint8_t v = s->stack[at];
            if (b->ledger.spare[v] > 0)
                kind = 1; /* more of it than needed */
            else if (operand[v])
                kind = 1u + operand[v] + (b->ledger.spare[v] < 0 ? 3u : 0u);
            else
                kind = nc_tir__misplaced(p, at, &v, 1) ? 7u : 0u;
        }
        rows[2 + j] = (uint8_t)(NC_TIR__ROWS_TOP + 8 * j + kind);
    }
}

/* Encode the block for the network; without one nothing happens. */
static void nc_tir__see_block(nc_tir__prover *p, const nc_tir__tasm *code, size_t count) {
    if (!p->model || !p->guide) return;
    nc_tir__encode(code, count, p->words);
    if (p->given)
        memcpy(p->latents, p->given, sizeof p->latents);
    else if (nc_tir__forward(p->model, p->words, p->latents, p->activations) != NC_OK)
        memset(p->latents, 0, sizeof p->latents); /* cannot be: activations are bounded */
}

/* Row of the decoder's input for b->s: the mean latent of what is open, the state's embedding. */
static void nc_tir__put_input(nc_tir__beam *b, int first, nc_fixed *row) {
    const nc_tir__prover *p = b->p;
    uint32_t n = nc_tir__node_count(p->words), mask = nc_tir__open_nodes(p, b->s), count = 0, i, c;
    uint8_t rows[2 + NC_TIR__TOPS];
    int64_t sum;
    if (n < 32) mask &= (1u << n) - 1;
    if (!mask) mask = n < 32 ? (1u << n) - 1 : UINT32_MAX;
    for (i = 0; i < n; i++) count += mask >> i & 1;
    memset(row, 0, NC_TIR__IN * sizeof *row);
    for (c = 0; c < NC_TIR__D && count; c++) {
        for (i = 0, sum = 0; i < n; i++)
            if (mask >> i & 1) sum += nc_gl_to_i64(p->latents[i * NC_TIR__D + c]);
        row[c] = nc_gl_from_i64(sum / (int64_t)count);
    }
    nc_tir__state_rows(b, first, rows);
    for (i = 0; i < 2 + NC_TIR__TOPS; i++)
        nc_tir__add_row(row + NC_TIR__D,
                        p->model->w + NC_TIR__P_STATES + rows[i] * (uint32_t)NC_TIR__D);
}

/* Logits of all states of a level, 64 for each; null when out of memory. */
static const nc_fixed *nc_tir__consult(nc_tir__beam *b, uint32_t first, uint32_t last) {
    enum { ROW = NC_TIR__IN + NC_TIR__FFN + NC_TIR__OUT_CODES };
    nc_tir__prover *p = b->p;
    const nc_tir_model *model = p->model;
    uint32_t rows = last - first, i;
    nc_fixed *hidden, *outputs;
    if (rows == 0 || !model) return NULL;
    if (!p->rows || rows > p->row_room) {
        nc_fixed *larger = (nc_fixed *)nc__alloc(NULL, (size_t)rows * ROW * sizeof *larger);
        if (!larger) return NULL;
        nc__free(NULL, p->rows, (size_t)p->row_room * ROW * sizeof *p->rows);
        p->rows = larger;
        p->row_room = rows;
    }
    hidden = p->rows + (size_t)rows * NC_TIR__IN;
    outputs = hidden + (size_t)rows * NC_TIR__FFN;
    for (i = first; i < last; i++) {
        b->s = &p->states[i];
        nc_tir__count_up(p, b->s, &b->ledger);
        nc_tir__put_input(b, i == 0, p->rows + (size_t)(i - first) * NC_TIR__IN);
    }
    return nc_tir__decode(model, p->rows, rows, hidden, outputs) == NC_OK ? outputs : NULL;
}

/* Moves from `from` on are those of one state: each costs what it lies below the best of them. */
static void nc_tir__weigh(nc_tir__beam *b, size_t from, const nc_fixed *out) {
    size_t i, n = stbds_arrlenu(b->moves);
    int64_t top = INT64_MIN;
    for (i = from; i < n; i++) {
        uint8_t code[2];
        int64_t logit;
        nc_tir__code_of(b->moves[i].op, b->moves[i].arg, code);
        logit = nc_gl_to_i64(out[code[0]]);
        if (code[1] < 16) logit += nc_gl_to_i64(out[48 + code[1]]);
        b->moves[i].logit = (int32_t)(logit / 256); /* below 2^20 */
        if (b->moves[i].logit > top) top = b->moves[i].logit;
    }
    for (i = from; i < n; i++) {
        int64_t cost = (top - b->moves[i].logit) * b->p->guide / 256;
        if (cost > 8 * NC_TIR__SCORE) cost = 8 * NC_TIR__SCORE;
        b->moves[i].guide += (int32_t)cost;
        b->moves[i].score += (int32_t)cost;
    }
}

/* The problem, its start and a search over it; 0 when it is too large. */
static int nc_tir__begin(nc_tir__prover *p, nc_tir__beam *b, nc_tir__state *start) {
    uint32_t deep;
    memset(b, 0, sizeof *b);
    b->p = p;
    b->moves = p->moves;
    NC_TIR__CLEAR(b->moves);
    if (!nc_tir__pose(p, start)) return 0;
    deep = p->goal_count > 64 ? p->goal_count - 64 : 0;
    nc_tir__set_aim(&b->aims[0], p->goal + deep, p->goal_count - deep);
    b->aims[0].first = deep;
    return 1;
}

/* The moves that led to state i on this level become p->found. */
static void nc_tir__trace_back(nc_tir__prover *p, uint32_t i, uint32_t level) {
    while (level-- > 0) {
        p->found[level].op = p->states[i].op;
        p->found[level].arg = p->states[i].arg;
        i = p->states[i].parent;
    }
}

/* A sequence shorter than `limit` with the meaning in p->before; its length, 0 if none found,
 * UINT32_MAX for the empty sequence. */
static uint32_t nc_tir__search(nc_tir__prover *p, uint32_t limit, uint32_t width) {
    nc_tir__state start;
    nc_tir__beam b;
    uint32_t level, first = 0, last, i, length = 0, room = 1024;
    int guided = p->model && p->guide;
    const nc_fixed *logits;
    if (limit > NC_TIR__MAX_LEVELS || !nc_tir__begin(p, &b, &start)) return 0;
    while (room < 2 * width * limit) room *= 2;
    b.seen_mask = room - 1;
    b.seen = (uint64_t *)nc__calloc(NULL, room * sizeof *b.seen);
    if (!b.seen) return 0;
    NC_TIR__CLEAR(p->states);
    stbds_arrput(p->states, start);
    for (level = 0; level < limit && !length; level++) {
        last = (uint32_t)stbds_arrlenu(p->states);
        for (i = first; i < last && !length; i++)
            if (nc_tir__at_goal(p, &p->states[i])) {
                nc_tir__trace_back(p, i, level);
                length = level ? level : UINT32_MAX;
            }
        if (length || first == last || level + 1 == limit) break;
        NC_TIR__CLEAR(b.moves);
        logits = guided ? nc_tir__consult(&b, first, last) : NULL;
        for (i = first; i < last; i++) {
            size_t from = stbds_arrlenu(b.moves);
            b.s = &p->states[i];
            b.parent = i;
            nc_tir__expand(&b);
            if (logits) nc_tir__weigh(&b, from, logits + (size_t)(i - first) * NC_TIR__OUT_CODES);
        }
        first = last;
        nc_tir__keep_best(&b, width);
    }
    p->moves = b.moves;
    nc__free(NULL, b.seen, room * sizeof *b.seen);
    return length;
}

static void nc_tir__prover_free(nc_tir__prover *p) {
    if (!p) return;
    stbds_arrfree(p->states);
    stbds_arrfree(p->moves);
    stbds_arrfree(p->order);
    nc__free(NULL, p->rows,
             (size_t)p->row_room * (NC_TIR__IN + NC_TIR__FFN + NC_TIR__OUT_CODES) *
                 sizeof *p->rows);
    nc__free(NULL, p->activations, sizeof *p->activations);
    nc__free(NULL, p, sizeof *p);
}

/* A prover, with a network or without. Null when out of memory. */
static nc_tir__prover *nc_tir__prover_new(const nc_tir_model *model, uint32_t guide) {
    nc_tir__prover *p = (nc_tir__prover *)nc__calloc(NULL, sizeof *p);
    uint64_t seed = 0;
    uint32_t i;
    if (!p) return NULL;
    for (i = 0; i < NC_TIR__WINDOW; i++) p->place_key[i] = nc_tir__splitmix(&seed) | 1;
    for (i = 0; i < NC_TIR__MAX_UNITS; i++) p->unit_key[i] = nc_tir__splitmix(&seed) | 1;
    p->model = model;
    p->guide = (int32_t)guide;
    p->activations = (nc_tir__activations *)nc__alloc(NULL, sizeof *p->activations);
    if (p->activations) return p;
    nc_tir__prover_free(p);
    return NULL;
}

/* >>io ============================================================================= */

typedef struct nc_tir__op {
    uint8_t kind;
    uint8_t has_else;
    uint32_t fields;
    uint64_t value;
    size_t text;    /* offset of a NUL-terminated string in the arena */
    uint32_t body;  /* operations in the (first) body, nested ones included */
    uint32_t other; /* and in the else branch */
} nc_tir__op;

struct nc_tir_program {
    nc_tir__op *ops; /* stb_ds array, each body right behind its owner */
    char *arena;     /* stb_ds array */
    uint32_t *open;  /* stb_ds array: owners of bodies not yet closed */
};

/* What follows the name of an operation in the text form. The compiler emits dup and swap beyond
 * 15, which no machine runs; they are lowered as they stand and never optimised. */
enum {
    NC_TIR__A_NONE,
    NC_TIR__A_COUNT,
    NC_TIR__A_VALUE,
    NC_TIR__A_NAME,
    NC_TIR__A_LINE,
    NC_TIR__A_EVENT
};

static const struct {
    const char *name;
    uint8_t arg;
    uint8_t least, most; /* of a count */
} nc_tir__forms[NC_TIR_KIND_COUNT] = {{"call", NC_TIR__A_NAME, 0, 0},
                                      {"return", 0, 0, 0},
                                      {"halt", 0, 0, 0},
                                      {"if_else", 0, 0, 0},
                                      {"if_only", 0, 0, 0},
                                      {"loop", NC_TIR__A_NAME, 0, 0},
                                      {"fn_start", NC_TIR__A_NAME, 0, 0},
                                      {"fn_end", 0, 0, 0},
                                      {"entry", NC_TIR__A_NAME, 0, 0},
                                      {"comment", NC_TIR__A_LINE, 0, 0},
                                      {"asm", NC_TIR__A_VALUE, 0, 0},
                                      {"push", NC_TIR__A_VALUE, 0, 0},
                                      {"pop", NC_TIR__A_COUNT, 1, 5},
                                      {"dup", NC_TIR__A_COUNT, 0, 255},
                                      {"swap", NC_TIR__A_COUNT, 0, 255},
                                      {"add", 0, 0, 0},
                                      {"sub", 0, 0, 0},
                                      {"mul", 0, 0, 0},
                                      {"neg", 0, 0, 0},
                                      {"invert", 0, 0, 0},
                                      {"eq", 0, 0, 0},
                                      {"lt", 0, 0, 0},
                                      {"and", 0, 0, 0},
                                      {"or", 0, 0, 0},
                                      {"xor", 0, 0, 0},
                                      {"pop_count", 0, 0, 0},
                                      {"split", 0, 0, 0},
                                      {"div_mod", 0, 0, 0},
                                      {"shl", 0, 0, 0},
                                      {"shr", 0, 0, 0},
                                      {"log2", 0, 0, 0},
                                      {"pow", 0, 0, 0},
                                      {"read_io", NC_TIR__A_COUNT, 1, 5},
                                      {"write_io", NC_TIR__A_COUNT, 1, 5},
                                      {"read_mem", NC_TIR__A_COUNT, 1, 5},
                                      {"write_mem", NC_TIR__A_COUNT, 1, 5},
                                      {"assert", NC_TIR__A_COUNT, 1, 5},
                                      {"hash", NC_TIR__A_COUNT, 0, 16},
                                      {"reveal", NC_TIR__A_EVENT, 0, 0},
                                      {"seal", NC_TIR__A_EVENT, 0, 0},
                                      {"ram_read", NC_TIR__A_COUNT, 1, 5},
                                      {"ram_write", NC_TIR__A_COUNT, 1, 5},
                                      {"hint", NC_TIR__A_COUNT, 1, 5},
                                      {"sponge_init", 0, 0, 0},
                                      {"sponge_absorb", 0, 0, 0},
                                      {"sponge_squeeze", 0, 0, 0},
                                      {"sponge_load", 0, 0, 0},
                                      {"merkle_step", 0, 0, 0},
                                      {"merkle_load", 0, 0, 0},
                                      {"ext_mul", 0, 0, 0},
                                      {"ext_invert", 0, 0, 0},
                                      {"fold_ext", 0, 0, 0},
                                      {"fold_base", 0, 0, 0},
                                      {"proof_block", NC_TIR__A_NAME, 0, 0}};

enum { NC_TIR__MAX_OPS = 1 << 20, NC_TIR__MAX_OPEN = 64, NC_TIR__MAX_NAME = 120 };

static int nc_tir__has_body(unsigned kind) {
    return kind == NC_TIR_IF_ELSE || kind == NC_TIR_IF_ONLY || kind == NC_TIR_LOOP ||
           kind == NC_TIR_PROOF_BLOCK;
}

NC_API nc_status nc_tir_create(nc_tir_program **program) {
    if (!program) return NC_ERR_ARG;
    *program = (nc_tir_program *)nc__calloc(NULL, sizeof **program);
    return *program ? NC_OK : NC_ERR_MEMORY;
}

NC_API void nc_tir_destroy(nc_tir_program *program) {
    if (!program) return;
    stbds_arrfree(program->ops);
    stbds_arrfree(program->arena);
    stbds_arrfree(program->open);
    nc__free(NULL, program, sizeof *program);
}

NC_API size_t nc_tir_size(const nc_tir_program *program) { return stbds_arrlenu(program->ops); }

/* A name holds 1 to 120 printable characters without blanks. */
static int nc_tir__good_name(const char *text, size_t n) {
    size_t i;
    for (i = 0; i < n; i++)
        if (text[i] <= 32 || text[i] == 127) return 0;
    return n > 0 && n <= NC_TIR__MAX_NAME;
}

/* Comments are one line; asm is any lines, each ended by a newline. */
static int nc_tir__good_text(unsigned kind, const char *text) {
    size_t n;
    if (!text) return 0;
    n = strlen(text);
    if (kind == NC_TIR_COMMENT) return !strpbrk(text, "\n\r") && n < 4096;
    if (kind == NC_TIR_ASM) return n < 65536 && (n == 0 || text[n - 1] == '\n');
    return nc_tir__good_name(text, n);
}

static int nc_tir__good_op(const nc_tir_op *op) {
    if ((unsigned)op->kind >= NC_TIR_KIND_COUNT) return 0;
    switch (nc_tir__forms[op->kind].arg) {
    case NC_TIR__A_COUNT:
        return op->value >= nc_tir__forms[op->kind].least &&
               op->value <= nc_tir__forms[op->kind].most;
    case NC_TIR__A_VALUE:
        return op->kind == NC_TIR_ASM ? nc_tir__good_text((unsigned)op->kind, op->text)
                                      : op->value < NC_GL_P;
    case NC_TIR__A_EVENT:
        return op->fields <= 9 && op->value < NC_GL_P &&
               nc_tir__good_text((unsigned)op->kind, op->text);
    case NC_TIR__A_NAME:
    case NC_TIR__A_LINE: return nc_tir__good_text((unsigned)op->kind, op->text);
    default: return 1;
    }
}

NC_API nc_status nc_tir_append(nc_tir_program *program, const nc_tir_op *op) {
    nc_tir__op stored;
    size_t n, i;
    if (!program || !op || !nc_tir__good_op(op)) return NC_ERR_ARG;
    if (stbds_arrlenu(program->ops) >= NC_TIR__MAX_OPS) return NC_ERR_LIMIT;
    if (nc_tir__has_body((unsigned)op->kind) && stbds_arrlenu(program->open) >= NC_TIR__MAX_OPEN)
        return NC_ERR_LIMIT;
    memset(&stored, 0, sizeof stored);
    stored.kind = (uint8_t)op->kind;
    stored.value = op->value;
    stored.fields = op->fields;
    stored.text = stbds_arrlenu(program->arena);
    n = op->text ? strlen(op->text) + 1 : 1;
    for (i = 0; i < n; i++) stbds_arrput(program->arena, op->text ? op->text[i] : (char)0);
    stbds_arrput(program->ops, stored);
    if (nc_tir__has_body((unsigned)op->kind))
        stbds_arrput(program->open, (uint32_t)stbds_arrlenu(program->ops) - 1);
    return NC_OK;
}

NC_API nc_status nc_tir_else(nc_tir_program *program) {
    nc_tir__op *owner;
    uint32_t at;
    if (!program || stbds_arrlenu(program->open) == 0) return NC_ERR_ARG;
    at = stbds_arrlast(program->open);
    owner = &program->ops[at];
    if (owner->kind != NC_TIR_IF_ELSE || owner->has_else) return NC_ERR_ARG;
    owner->has_else = 1;
    owner->body = (uint32_t)stbds_arrlenu(program->ops) - at - 1;
    return NC_OK;
}

NC_API nc_status nc_tir_end(nc_tir_program *program) {
    nc_tir__op *owner;
    uint32_t inside;
    if (!program || stbds_arrlenu(program->open) == 0) return NC_ERR_ARG;
    inside = (uint32_t)stbds_arrlenu(program->ops) - stbds_arrlast(program->open) - 1;
    owner = &program->ops[stbds_arrlast(program->open)];
    if (owner->has_else)
        owner->other = inside - owner->body;
    else
        owner->body = inside;
    (void)stbds_arrpop(program->open);
    return NC_OK;
}

/* The verbatim lines of asm up to a lone `end`, without the indentation of the body. */
static nc_status nc_tir__read_asm(const char **text, const char *stop, size_t *line, size_t depth,
                                  char **lines, nc_error *err) {
    size_t start = *line;
    for (; *text < stop; (*line)++) {
        const char *end = (const char *)memchr(*text, '\n', (size_t)(stop - *text)), *at = *text;
        const char *next, *first;
        size_t skip = 2 * (depth + 1);
        if (!end) end = stop;
        next = end < stop ? end + 1 : stop;
        for (first = at; first < end && *first == ' ';) first++;
        if (nc_tir__is(first, (size_t)(end - first), "end")) {
            *text = next;
            (*line)++;
            stbds_arrput(*lines, 0);
            return NC_OK;
        }
        while (skip-- > 0 && at < end && *at == ' ') at++;
        if (stbds_arrlenu(*lines) + (size_t)(end - at) >= 65000)
            return nc__fail(err, NC_ERR_LIMIT, *line, 1, "asm is longer than 65,000 characters");
        for (; at < end; at++) {
            if (*at == 0) return nc__fail(err, NC_ERR_FORMAT, *line, 1, "NUL in asm");
            stbds_arrput(*lines, *at);
        }
        stbds_arrput(*lines, '\n');
        *text = next;
    }
    return nc__fail(err, NC_ERR_FORMAT, start, 1, "asm without end");
}

/* Unsigned decimal of at most 20 digits. */
static int nc_tir__read_count(const char *word, size_t n, uint64_t *value) {
    return n > 0 && nc_gl_parse(word, n, value, NULL) == NC_OK && (n < 2 || word[1] != 'x');
}

/* Fill op from the words after its name. `name` is storage for its text. */
static nc_status nc_tir__read_args(nc_tir__cursor *c, nc_tir_op *op, char *name, nc_error *err) {
    const char *word;
    size_t n;
    uint64_t value;
    int arg = nc_tir__forms[op->kind].arg;
    if (arg == NC_TIR__A_NONE) return NC_OK;
    if (arg == NC_TIR__A_LINE) { /* one blank, then the rest of the line as it stands */
        if (c->at < c->end && *c->at == ' ') c->at++;
        n = (size_t)(c->end - c->at);
        if (n >= 4096 || memchr(c->at, 0, n))
            return nc_tir__bad(c, c->at, "comment is too long or has a NUL", err);
        memcpy(name, c->at, n);
        name[n] = 0;
        op->text = name;
        c->at = c->end;
        return NC_OK;
    }
    n = nc_tir__word(c, &word);
    if (n == 0) return nc_tir__bad(c, word, "the operation needs an argument", err);
    if (arg == NC_TIR__A_NAME || arg == NC_TIR__A_EVENT) {
        if (!nc_tir__good_name(word, n)) return nc_tir__bad(c, word, "bad name", err);
        memcpy(name, word, n);
        name[n] = 0;
        op->text = name;
        if (arg == NC_TIR__A_NAME) return NC_OK;
        n = nc_tir__word(c, &word);
        if (!nc_tir__read_count(word, n, &op->value))
            return nc_tir__bad(c, word, "expected a tag", err);
        n = nc_tir__word(c, &word);
        if (!nc_tir__read_count(word, n, &value) || value > 9)
            return nc_tir__bad(c, word, "expected 0 to 9 fields", err);
        op->fields = (uint32_t)value;
        return NC_OK;
    }
    if (op->kind == NC_TIR_ASM && n > 1 && *word == '-') {
        if (!nc_tir__read_count(word + 1, n - 1, &op->value))
            return nc_tir__bad(c, word, "expected a stack effect", err);
        op->value = 0 - op->value;
    } else if (!nc_tir__read_count(word, n, &op->value)) {
        return nc_tir__bad(c, word, "expected a number below 2^64 - 2^32 + 1", err);
    }
    if (arg == NC_TIR__A_COUNT &&
        (op->value < nc_tir__forms[op->kind].least || op->value > nc_tir__forms[op->kind].most))
        return nc_tir__bad(c, word, "the count is out of range", err);
    return NC_OK;
}

/* One line that is neither empty nor asm text. */
static nc_status nc_tir__read_line(nc_tir_program *p, nc_tir__cursor *c, nc_tir_op *op, char *name,
                                   nc_error *err) {
    const char *word;
    size_t n = nc_tir__word(c, &word);
    nc_status status = NC_OK;
    int kind;
    op->kind = NC_TIR_KIND_COUNT;
    if (n == 0) return NC_OK;
    if (nc_tir__is(word, n, "else")) {
        if (nc_tir_else(p) != NC_OK) return nc_tir__bad(c, word, "else without if_else", err);
    } else if (nc_tir__is(word, n, "end")) {
        if (nc_tir_end(p) != NC_OK) return nc_tir__bad(c, word, "end without a body", err);
    } else {
        for (kind = 0; kind < NC_TIR_KIND_COUNT; kind++)
            if (nc_tir__is(word, n, nc_tir__forms[kind].name)) break;
        if (kind == NC_TIR_KIND_COUNT) return nc_tir__bad(c, word, "unknown operation", err);
        op->kind = (nc_tir_kind)kind;
        status = nc_tir__read_args(c, op, name, err);
    }
    if (status == NC_OK && nc_tir__word(c, &word))
        return nc_tir__bad(c, word, "unexpected text after the operation", err);
    return status;
}

NC_API nc_status nc_tir_parse(nc_tir_program **program, const char *text, size_t bytes,
                              nc_error *err) {
    char name[4100], *lines = NULL;
    const char *at = text, *stop;
    nc_tir__cursor c;
    nc_tir_program *p;
    nc_status status;
    nc__clear(err);
    if (!program || (!text && bytes)) return nc__fail(err, NC_ERR_ARG, 0, 0, "no text");
    status = nc_tir_create(program);
    if (status != NC_OK) return nc__fail(err, status, 0, 0, "out of memory");
    p = *program;
    stop = text + bytes;
    c.line = 1;
    while (at < stop && status == NC_OK) {
        nc_tir_op op;
        memset(&op, 0, sizeof op);
        c.start = c.at = at;
        c.end = (const char *)memchr(at, '\n', (size_t)(stop - at));
        if (!c.end) c.end = stop;
        at = c.end < stop ? c.end + 1 : stop;
        status = nc_tir__read_line(p, &c, &op, name, err);
        c.line++;
        if (status == NC_OK && op.kind == NC_TIR_ASM) {
            NC_TIR__CLEAR(lines);
            status = nc_tir__read_asm(&at, stop, &c.line, stbds_arrlenu(p->open), &lines, err);
            op.text = lines;
        }
        if (status == NC_OK && op.kind != NC_TIR_KIND_COUNT) {
            status = nc_tir_append(p, &op);
            if (status != NC_OK)
                nc__fail(err, status, c.line - 1, 1, "%s",
                         status == NC_ERR_LIMIT ? "more than 2^20 operations or 64 open bodies"
                                                : "bad operation");
        }
    }
    stbds_arrfree(lines);
    if (status == NC_OK && stbds_arrlenu(p->open))
        status = nc__fail(err, NC_ERR_FORMAT, c.line, 1, "a body is not closed by end");
    if (status != NC_OK) {
        nc_tir_destroy(p);
        *program = NULL;
    }
    return status;
}

static void nc_tir__print(char **out, const char *text) {
    size_t n = strlen(text);
    if (n) memcpy(stbds_arraddnptr(*out, n), text, n);
}

static void nc_tir__print_value(char **out, uint64_t value) {
    char text[21];
    (void)nc_gl_print(value, text);
    nc_tir__print(out, text);
}

static void nc_tir__indent(char **out, size_t depth) {
    while (depth-- > 0) nc_tir__print(out, "  ");
}

static void nc_tir__write_op(const nc_tir_program *p, const nc_tir__op *op, size_t depth,
                             char **out) {
    const char *text = p->arena + op->text;
    int arg = nc_tir__forms[op->kind].arg;
    nc_tir__indent(out, depth);
    nc_tir__print(out, nc_tir__forms[op->kind].name);
    if (arg != NC_TIR__A_NONE) nc_tir__print(out, " ");
    if (op->kind == NC_TIR_ASM && op->value >> 63) {
        nc_tir__print(out, "-");
        nc_tir__print_value(out, 0 - op->value);
    } else if (arg == NC_TIR__A_COUNT || arg == NC_TIR__A_VALUE) {
        nc_tir__print_value(out, op->value);
    } else if (arg != NC_TIR__A_NONE) {
        nc_tir__print(out, text);
    }
    if (arg == NC_TIR__A_EVENT) {
        nc_tir__print(out, " ");
        nc_tir__print_value(out, op->value);
        nc_tir__print(out, " ");
        nc_tir__print_value(out, op->fields);
    }
    nc_tir__print(out, "\n");
    if (op->kind != NC_TIR_ASM) return;
    while (*text) {
        size_t n = strcspn(text, "\n") + 1;
        nc_tir__indent(out, depth + 1);
        memcpy(stbds_arraddnptr(*out, n), text, n);
        text += n;
    }
    nc_tir__indent(out, depth);
    nc_tir__print(out, "end\n");
}

/* Depth is bounded by NC_TIR__MAX_OPEN. */
static void nc_tir__write_range(const nc_tir_program *p, uint32_t first, uint32_t count,
                                size_t depth, char **out) {
    uint32_t i = first;
    while (i < first + count) {
        const nc_tir__op *op = &p->ops[i];
        nc_tir__write_op(p, op, depth, out);
        if (nc_tir__has_body(op->kind)) {
            nc_tir__write_range(p, i + 1, op->body, depth + 1, out);
            if (op->has_else) {
                nc_tir__indent(out, depth);
                nc_tir__print(out, "else\n");
                nc_tir__write_range(p, i + 1 + op->body, op->other, depth + 1, out);
            }
            nc_tir__indent(out, depth);
            nc_tir__print(out, "end\n");
        }
        i += 1 + op->body + op->other;
    }
}

/* Hand text over to the caller as memory of this header, with a final NUL. */
static nc_status nc_tir__deliver(char **built, char **text) {
    size_t n = stbds_arrlenu(*built);
    *text = (char *)NC_MALLOC(n + 1);
    if (*text) {
        if (n) memcpy(*text, *built, n);
        (*text)[n] = 0;
    }
    stbds_arrfree(*built);
    return *text ? NC_OK : NC_ERR_MEMORY;
}

NC_API nc_status nc_tir_write(const nc_tir_program *program, char **text) {
    char *out = NULL;
    if (!text) return NC_ERR_ARG;
    *text = NULL;
    if (!program || stbds_arrlenu(program->open)) return NC_ERR_ARG;
    nc_tir__write_range(program, 0, (uint32_t)stbds_arrlenu(program->ops), 0, &out);
    return nc_tir__deliver(&out, text);
}

NC_API void nc_tir_free_text(char *text) { NC_FREE(text); }

/* >>peephole ======================================================================= */

/* An operation on its way through the passes: what the program says, the value as changed, and
 * the bodies as lists of their own. Lists are stb_ds arrays; a pass rewrites its list in place
 * and never makes it longer. */
typedef struct nc_tir__item {
    const nc_tir__op *op;
    uint64_t value;
    uint8_t kind;
    struct nc_tir__item *body, *other;
} nc_tir__item;

static nc_tir__item *nc_tir__items(const nc_tir_program *p, uint32_t first, uint32_t count) {
    nc_tir__item *list = NULL;
    uint32_t i = first;
    while (i < first + count) {
        nc_tir__item node;
        memset(&node, 0, sizeof node);
        node.op = &p->ops[i];
        node.kind = node.op->kind;
        node.value = node.op->value;
        if (node.op->body) node.body = nc_tir__items(p, i + 1, node.op->body);
        if (node.op->other) node.other = nc_tir__items(p, i + 1 + node.op->body, node.op->other);
        stbds_arrput(list, node);
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

static nc_tir__item nc_tir__item_of(unsigned kind, uint64_t value) {
    nc_tir__item node;
    memset(&node, 0, sizeof node);
    node.kind = (uint8_t)kind;
    node.value = value;
    return node;
}

/* Whether the list goes on at i with that operation. */
static int nc_tir__item_is(const nc_tir__item *list, size_t n, size_t i, unsigned kind,
                           uint64_t value) {
    return i < n && list[i].kind == kind && list[i].value == value;
}

/* Pops (or hints) of `count` in all, at most five each; returns where the next goes. */
static size_t nc_tir__put_counts(nc_tir__item *list, size_t at, unsigned kind, uint64_t count) {
    for (; count > 5; count -= 5) list[at++] = nc_tir__item_of(kind, 5);
    if (count) list[at++] = nc_tir__item_of(kind, count);
    return at;
}

/* Neighbouring hints, and pops, become as few as can be; swap 0 goes. */
static size_t nc_tir__merge_counts(nc_tir__item *list, size_t n) {
    size_t i = 0, kept = 0;
    while (i < n) {
        const unsigned kind = list[i].kind;
        uint64_t total = 0;
        if (kind != NC_TIR_HINT && kind != NC_TIR_POP) {
            if (!nc_tir__item_is(list, n, i, NC_TIR_SWAP, 0)) list[kept++] = list[i];
            i++;
            continue;
        }
        for (; i < n && list[i].kind == kind; i++) total += list[i].value;
        kept = nc_tir__put_counts(list, kept, kind, total);
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
    stbds_arrsetlen(spills, kept + 1);
    return spills;
}

/* Stores and loads of an address with one of each go, the value stays on the stack; stores of an
 * address that is never loaded become pops. Nested bodies do not count. */
static size_t nc_tir__drop_spills(nc_tir__item *list, size_t n) {
    nc_tir__spill *spills = nc_tir__spills(list, n);
    size_t i, kept = 0;
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
static size_t nc_tir__drop_copies(nc_tir__item *list, size_t n) {
    size_t i, kept = 0;
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
static size_t nc_tir__drop_double_swaps(nc_tir__item *list, size_t n) {
    size_t i, kept = 0;
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
static size_t nc_tir__drop_moved_blocks(nc_tir__item *list, size_t n) {
    size_t i = 0, kept = 0;
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

/* Chains of three or more `swap d, pop 1`. All of depth 1: one swap and pops, fifteen at a time.
 * All of one depth d: swaps from the deepest value that goes, when it is in reach, else of d,
 * then the pops. First depth d and none above it: one swap of d, then the pops. */
static size_t nc_tir__collapse_chains(nc_tir__item *list, size_t n) {
    size_t i = 0, kept = 0;
    while (i < n) {
        const uint64_t depth = list[i].value;
        uint64_t count = 0, k;
        size_t end = i;
        int same = 1;
        while (end + 1 < n && list[i].kind == NC_TIR_SWAP && list[end].kind == NC_TIR_SWAP &&
               nc_tir__item_is(list, n, end + 1, NC_TIR_POP, 1) &&
               (depth == 1 ? list[end].value == 1 : list[end].value <= depth)) {
            same &= list[end].value == depth;
            end += 2;
            count++;
        }
        if (count < 3) {
            list[kept++] = list[i++];
            continue;
        }
        i = end;
        if (depth == 1) {
            for (; count; count -= k) {
                k = count < 15 ? count : 15;
                list[kept++] = nc_tir__item_of(NC_TIR_SWAP, k);
                kept = nc_tir__put_counts(list, kept, NC_TIR_POP, k);
            }
            continue;
        }
        for (k = 0; k < (same ? count : 1); k++)
            list[kept++] = nc_tir__item_of(
                NC_TIR_SWAP, same && depth + count - 1 <= 15 ? depth + count - 1 - k : depth);
        kept = nc_tir__put_counts(list, kept, NC_TIR_POP, count);
    }
    return kept;
}

/* All passes, again and again until the list keeps its length; bodies each time around. */
static void nc_tir__clean(nc_tir__item **list) {
    static size_t (*const pass[])(nc_tir__item *, size_t) = {
        nc_tir__merge_counts,      nc_tir__drop_spills,       nc_tir__drop_copies,
        nc_tir__drop_double_swaps, nc_tir__drop_moved_blocks, nc_tir__collapse_chains};
    size_t before, i, n = stbds_arrlenu(*list);
    if (n == 0) return;
    do {
        before = n;
        for (i = 0; i < sizeof pass / sizeof *pass; i++) n = pass[i](*list, n);
        stbds_arrsetlen(*list, n);
        for (i = 0; i < n; i++) {
            nc_tir__clean(&(*list)[i].body);
            nc_tir__clean(&(*list)[i].other);
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
            op.text = from->arena + node->op->text;
        }
        status = nc_tir_append(to, &op);
        if (status != NC_OK || !nc_tir__has_body(node->kind)) continue;
        status = nc_tir__append_items(to, from, node->body);
        if (status == NC_OK && node->op && node->op->has_else) {
            status = nc_tir_else(to);
            if (status == NC_OK) status = nc_tir__append_items(to, from, node->other);
        }
        if (status == NC_OK) status = nc_tir_end(to);
    }
    return status;
}

NC_API nc_status nc_tir_peephole(const nc_tir_program *program, nc_tir_program **result) {
    nc_tir__item *list;
    nc_status status;
    if (!result) return NC_ERR_ARG;
    *result = NULL;
    if (!program || stbds_arrlenu(program->open)) return NC_ERR_ARG;
    status = nc_tir_create(result);
    if (status != NC_OK) return status;
    list = nc_tir__items(program, 0, (uint32_t)stbds_arrlenu(program->ops));
    nc_tir__clean(&list);
    status = nc_tir__append_items(*result, program, list);
    nc_tir__free_items(list);
    if (status != NC_OK) {
        nc_tir_destroy(*result);
        *result = NULL;
    }
    return status;
}

/* >>regions ======================================================================== */

/* The optimiser works on TASM: code between labels is a region, straight-line code between jumps
 * a segment. Segments are shortened by searches; branches are then folded, emptied or shared
 * where the prover shows that nothing changes. Names, entry points and stack layouts of functions
 * stay; labels that the lowering invented (__then__, __else__, __loop__) may vanish. */
typedef struct nc_tir__region {
    uint32_t *labels;   /* stb_ds array: all names of its first instruction */
    nc_tir__tasm *code; /* stb_ds array */
    uint32_t number;    /* where it stood in the text */
    uint8_t gone;
} nc_tir__region;

typedef struct nc_tir__optimizer {
    nc_tir__prover *prover;
    nc_tir__map memory;    /* searches done */
    nc_tir__tasm *answers; /* stb_ds array */
    nc_tir__code code;     /* owner of the label names */
    nc_tir__region *regions;
    uint32_t *home; /* region of each label */
    uint32_t beam, block;
    const nc_tir_options *options; /* never null */
    uint64_t done, total;          /* instructions */
    int cancelled, restructuring;
    nc_tir_report report;
} nc_tir__optimizer;

/* Rows of the real machine's stack table. */
static uint64_t nc_tir__stack_rows(const nc_tir__tasm *list, size_t n) {
    uint64_t rows = 0;
    size_t i;
    for (i = 0; i < n; i++) {
        uint32_t pops = nc_tir__pops(&list[i]), pushes = nc_tir__pushes(&list[i]);
        rows += pops > pushes ? pops - pushes : pushes - pops;
    }
    return rows;
}

/* Rows of the static model and the stack rows of the real one: none may grow. */
static int nc_tir__cheaper(const nc_tir__tasm *before, size_t n, const nc_tir__tasm *after,
                           size_t m) {
    nc_tir_heights a, b;
    nc_tir__sum_rows(&a, before, n);
    nc_tir__sum_rows(&b, after, m);
    return m < n && b.processor < a.processor && b.hash <= a.hash && b.u32 <= a.u32 &&
           b.op_stack <= a.op_stack && b.ram <= a.ram &&
           nc_tir__stack_rows(after, m) <= nc_tir__stack_rows(before, n);
}

/* The answer of an earlier search for the same instructions, or a fresh cell. */
static nc_tir__cell *nc_tir__remembered(nc_tir__map *memory, const nc_tir__tasm *list, size_t n,
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
    size_t tail = stbds_arrlenu(*list) - at - count;
    if (length > count) (void)stbds_arraddnptr(*list, length - count);
    if (tail) memmove(*list + at + length, *list + at + count, tail * sizeof **list);
    if (length) memcpy(*list + at, code, length * sizeof **list);
    if (length < count) stbds_arrsetlen(*list, at + length + tail);
}

/* Search, gate, replace: `count` instructions of *list from `at` on by fewer ones with the same
 * meaning. 1 when replaced; else they stay as they are. */
static int nc_tir__replace(nc_tir__optimizer *o, nc_tir__tasm **list, size_t at, size_t count) {
    nc_tir__prover *p = o->prover;
    const nc_tir__tasm *old = *list + at, *found = p->found;
    uint32_t length, i;
    int fresh = 0;
    nc_tir__cell *cell = nc_tir__remembered(&o->memory, old, count, &fresh);
    if (!cell) return 0; /* out of memory: nothing is replaced */
    if (!fresh && cell->value == 0) return 0;
    if (!fresh) { /* proven again below: two sequences may share a key */
        length = (uint32_t)(cell->value & 0xffff) - 1;
        if (length) found = o->answers + (cell->value >> 16);
    } else {
        nc_tir__terms_reset(&p->terms);
        if (nc_tir__symbolic_run(&p->terms, old, count, &p->before) != NC_TIR_PROVEN) return 0;
        nc_tir__see_block(p, old, count);
        length = nc_tir__search(p, (uint32_t)count, o->beam);
        if (length == 0) return 0;
        if (length == UINT32_MAX) length = 0;
    }
    if (nc_tir__prove(p, old, count, found, length) != NC_TIR_PROVEN ||
        !nc_tir__cheaper(old, count, found, length)) {
        o->report.rejected++;
        return 0;
    }
    o->report.proofs++;
    if (fresh) {
        cell->value = (uint64_t)stbds_arrlenu(o->answers) << 16 | (length + 1);
        for (i = 0; i < length; i++) stbds_arrput(o->answers, found[i]);
        if (length) found = o->answers + (cell->value >> 16);
    }
    nc_tir__splice(list, at, count, found, length);
    return 1;
}

/* Shorten pieces of code that together are too long for one search, until none gets shorter. */
static int nc_tir__shorten_pieces(nc_tir__optimizer *o, nc_tir__tasm **list) {
    static const size_t sizes[3] = {28, 16, 8};
    int changed = 0, s;
    for (s = 0; s < 3; s++) {
        size_t at = 0, size = sizes[s];
        while (at + 2 <= stbds_arrlenu(*list) && !o->cancelled) {
            size_t left = stbds_arrlenu(*list) - at;
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
    nc_tir__prover *p = o->prover;
    nc_tir__ledger ledger;
    nc_tir__state start;
    double bound;
    nc_tir__terms_reset(&p->terms);
    if (nc_tir__symbolic_run(&p->terms, code, n, &p->before) != NC_TIR_PROVEN ||
        !nc_tir__pose(p, &start))
        return (double)n;
    nc_tir__count_up(p, &start, &ledger);
    bound = ledger.open / (double)NC_TIR__SCORE + ledger.copies + ledger.dead / 5.0;
    return bound < (double)n ? bound : (double)n;
}

/* Count a block, and tell the caller of it. */
static void nc_tir__report_block(nc_tir__optimizer *o, const nc_tir__tasm *before, size_t n,
                                 const nc_tir__tasm *after, size_t m, int improved) {
    nc_tir_heights a, b;
    nc_tir_block block;
    double bound = nc_tir__bound(o, before, n);
    nc_tir__sum_rows(&a, before, n);
    nc_tir__sum_rows(&b, after, m);
    block.instruction = (uint32_t)o->done;
    block.before = (uint32_t)n;
    block.after = (uint32_t)m;
    block.bound = (float)bound;
    block.reason = !improved                                           ? NC_TIR_REASON_NONE
                   : b.hash < a.hash || b.u32 < a.u32 || b.ram < a.ram ? NC_TIR_REASON_TABLE
                                                                       : NC_TIR_REASON_STACK;
    o->done += n;
    o->report.blocks++;
    o->report.improved += (uint32_t)improved;
    o->report.slack += bound + 0.999 < (double)n || improved;
    o->report.bound += bound;
    if (o->options->on_block) o->options->on_block(o->options->on_block_user, &block);
}

/* Optimise straight-line code block by block, then across the cuts. */
static void nc_tir__improve(nc_tir__optimizer *o, nc_tir__tasm **segment) {
    size_t n = stbds_arrlenu(*segment), first, end, i;
    nc_tir__tasm *all = NULL, *block = NULL;
    for (first = 0; first < n && !o->cancelled; first = end) {
        int improved;
        end = nc_tir__block_end(*segment, n, first, o->block);
        if (!o->restructuring && o->options->progress &&
            o->options->progress(o->options->progress_user, o->done, o->total))
            o->cancelled = 1;
        NC_TIR__CLEAR(block);
        for (i = first; i < end; i++) stbds_arrput(block, (*segment)[i]);
        improved = nc_tir__replace(o, &block, 0, end - first);
        improved |= nc_tir__shorten_pieces(o, &block);
        if (!o->restructuring)
            nc_tir__report_block(o, *segment + first, end - first, block, stbds_arrlenu(block),
                                 improved);
        for (i = 0; i < stbds_arrlenu(block); i++) stbds_arrput(all, block[i]);
    }
    if (!o->cancelled) {
        (void)nc_tir__shorten_pieces(o, &all);
        nc_tir__splice(segment, 0, n, all, stbds_arrlenu(all));
    }
    stbds_arrfree(block);
    stbds_arrfree(all);
}

/* May a skiz before the instruction at i skip it? One at the end of the region before is marked by
 * a line number that no text has. */
static int nc_tir__is_conditional(const nc_tir__tasm *code, size_t i) {
    return code[i].line == UINT32_MAX || (i > 0 && code[i - 1].op == NC_TIR__I_SKIZ);
}

/* Whether the instruction at i belongs to straight-line code: it does not jump, nothing may skip
 * it, and its stack index is one that exists. */
static int nc_tir__is_straight(const nc_tir__tasm *code, size_t i) {
    const nc_tir__instruction *table = &nc_tir__table[code[i].op];
    if ((table->flags & NC_TIR__JUMP) || nc_tir__is_conditional(code, i)) return 0;
    return table->arg != NC_TIR__INDEX || code[i].arg < 16;
}

/* The start of the straight-line code that ends before `end`. */
static size_t nc_tir__segment_start(const nc_tir__tasm *code, size_t end) {
    while (end > 0 && nc_tir__is_straight(code, end - 1)) end--;
    return end;
}

static void nc_tir__improve_region(nc_tir__optimizer *o, nc_tir__region *r) {
    size_t i = 0;
    while (i < stbds_arrlenu(r->code) && !o->cancelled) {
        nc_tir__tasm *segment = NULL;
        size_t end = i, k;
        while (end < stbds_arrlenu(r->code) && nc_tir__is_straight(r->code, end)) end++;
        if (end > i) {
            for (k = i; k < end; k++) stbds_arrput(segment, r->code[k]);
            nc_tir__improve(o, &segment);
            nc_tir__splice(&r->code, i, end - i, segment, stbds_arrlenu(segment));
            i += stbds_arrlenu(segment);
            stbds_arrfree(segment);
        } else {
            i++;
            if (o->restructuring) continue;
            o->done++;
            o->report.bound += 1; /* jumps stay */
        }
    }
}

/* Does control never run past the end of the region? */
static int nc_tir__is_closed(const nc_tir__region *r) {
    size_t n = stbds_arrlenu(r->code);
    uint32_t op = NC_TIR__I_NOP;
    if (n) op = r->code[n - 1].op;
    if (n && nc_tir__is_conditional(r->code, n - 1)) return 0;
    return op == NC_TIR__I_RETURN || op == NC_TIR__I_HALT || op == NC_TIR__I_RECURSE ||
           op == NC_TIR__I_RECURSE_OR_RETURN;
}

/* Does the region before run into this one? */
static int nc_tir__is_entered(const nc_tir__optimizer *o, size_t region) {
    size_t i = region;
    while (i-- > 0)
        if (!o->regions[i].gone) return !nc_tir__is_closed(&o->regions[i]);
    return 1; /* the program starts here */
}

/* A label the lowering invented, or one of a whole program: no other code may name it. */
static int nc_tir__is_invented(const nc_tir__optimizer *o, uint32_t label) {
    const char *name = o->code.labels[label].key;
    return o->options->whole || strstr(name, "__then__") || strstr(name, "__else__") ||
           strstr(name, "__loop__");
}

static int nc_tir__is_internal(const nc_tir__optimizer *o, const nc_tir__region *r) {
    size_t i;
    for (i = 0; i < stbds_arrlenu(r->labels); i++)
        if (!nc_tir__is_invented(o, r->labels[i])) return 0;
    return i > 0;
}

/* Split the code at its labels. NC_ERR_MEMORY. */
static nc_status nc_tir__divide(nc_tir__optimizer *o) {
    size_t labels = stbds_shlenu(o->code.labels), n = stbds_arrlenu(o->code.list), i, at = 0;
    uint8_t *starts = (uint8_t *)nc__calloc(NULL, n + 1);
    o->home = (uint32_t *)nc__calloc(NULL, (labels + 1) * sizeof *o->home);
    if (!starts || !o->home) {
        nc__free(NULL, starts, n + 1);
        return NC_ERR_MEMORY;
    }
    for (i = 0; i < labels; i++)
        if (o->code.labels[i].value >= 0) starts[o->code.labels[i].value] = 1;
    starts[0] = 1;
    for (i = 0; i <= n; i++) {
        if (starts[i]) {
            nc_tir__region r;
            memset(&r, 0, sizeof r);
            r.number = (uint32_t)i;
            stbds_arrput(o->regions, r);
            at = stbds_arrlenu(o->regions) - 1;
        }
        if (i == n) break;
        stbds_arrput(o->regions[at].code, o->code.list[i]);
        if (i && starts[i] && o->code.list[i - 1].op == NC_TIR__I_SKIZ)
            o->regions[at].code[0].line = UINT32_MAX;
    }
    for (i = 0; i < labels; i++) {
        if (o->code.labels[i].value < 0) continue;
        for (at = 0; o->regions[at].number != (uint32_t)o->code.labels[i].value; at++) {
        }
        stbds_arrput(o->regions[at].labels, (uint32_t)i);
        o->home[i] = (uint32_t)at;
    }
    nc__free(NULL, starts, n + 1);
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

/* A body that runs from its label to one `return` at the end and jumps nowhere itself; its length
 * without the return, or -1. */
static int nc_tir__plain_body(const nc_tir__region *r, int calls_allowed) {
    size_t n = stbds_arrlenu(r->code), i;
    if (n == 0 || r->code[n - 1].op != NC_TIR__I_RETURN) return -1;
    for (i = 0; i + 1 < n; i++) {
        if (nc_tir__is_straight(r->code, i)) continue;
        if (!calls_allowed) return -1;
        if (r->code[i].op != NC_TIR__I_CALL && r->code[i].op != NC_TIR__I_SKIZ) {
            if (!nc_tir__is_conditional(r->code, i)) return -1;
            if (nc_tir__table[r->code[i].op].flags & NC_TIR__JUMP) return -1;
        }
    }
    if (r->code[0].line == UINT32_MAX || nc_tir__is_conditional(r->code, n - 1)) return -1;
    return (int)n - 1;
}

static nc_tir__tasm nc_tir__make(uint32_t op, uint64_t arg) {
    nc_tir__tasm t;
    t.op = op;
    t.arg = arg;
    t.line = 0;
    return t;
}

/* Is the value at depth `at` after this straight-line code a constant, and which? */
static int nc_tir__leaves_constant(nc_tir__optimizer *o, const nc_tir__tasm *code, size_t n,
                                   uint32_t at, uint64_t *value) {
    nc_tir__prover *p = o->prover;
    nc_tir__terms_reset(&p->terms);
    if (nc_tir__symbolic_run(&p->terms, code, n, &p->before) != NC_TIR_PROVEN) return 0;
    return nc_tir__is_constant(&p->terms, p->before.stack[p->before.n - 1 - at], value);
}

/* The six-instruction choice: `skiz, call A, skiz, call B` on [flag, condition], where the flag is
 * a constant other than 0 and A leaves 0 in its place. */
typedef struct nc_tir__choice {
    nc_tir__region *a, *b;
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
    if (nc_tir__plain_body(c->a, 1) < 0 || nc_tir__plain_body(c->b, 1) < 0) return 0;
    start = nc_tir__segment_start(code, i);
    if (!nc_tir__leaves_constant(o, code + start, i - start, 1, &value) || value == 0) return 0;
    n = stbds_arrlenu(c->a->code) - 1;
    start = nc_tir__segment_start(c->a->code, n);
    return nc_tir__leaves_constant(o, c->a->code + start, n - start, 0, &value) && value == 0;
}

/* Both branches do the same: neither condition nor flag is needed. */
static int nc_tir__fold_equal(nc_tir__optimizer *o, nc_tir__region *r, size_t i,
                              const nc_tir__choice *c) {
    nc_tir__tasm *one = NULL, *two = NULL;
    int a = nc_tir__plain_body(c->a, 0), b = nc_tir__plain_body(c->b, 0), k, equal;
    if (a < 0 || b < 0) return 0;
    stbds_arrput(one, nc_tir__make(NC_TIR__I_POP, 1));
    for (k = 0; k < a; k++) stbds_arrput(one, c->a->code[k]);
    stbds_arrput(one, nc_tir__make(NC_TIR__I_POP, 1));
    stbds_arrput(two, nc_tir__make(NC_TIR__I_POP, 2));
    for (k = 0; k < b; k++) stbds_arrput(two, c->b->code[k]);
    equal =
        nc_tir__prove(o->prover, one, stbds_arrlenu(one), two, stbds_arrlenu(two)) == NC_TIR_PROVEN;
    if (equal) {
        o->report.proofs++;
        nc_tir__splice(&r->code, i, 4, two, stbds_arrlenu(two));
    }
    stbds_arrfree(one);
    stbds_arrfree(two);
    return equal;
}

/* One branch is empty: the other alone is called, and needs no flag. */
static int nc_tir__fold_empty(nc_tir__optimizer *o, nc_tir__region *r, size_t i,
                              const nc_tir__choice *c) {
    nc_tir__tasm code[6];
    size_t n = 0;
    int a = nc_tir__plain_body(c->a, 0), b = nc_tir__plain_body(c->b, 0);
    code[n++] = nc_tir__make(NC_TIR__I_SWAP, 1);
    code[n++] = nc_tir__make(NC_TIR__I_POP, 1);
    if (b == 0) { /* the flag that A drops and leaves is made and dropped in A itself. A may not
                     call: where a callee halts, the flag's place would be missed too early */
        nc_tir__tasm flag = nc_tir__make(NC_TIR__I_PUSH, 1), drop = nc_tir__make(NC_TIR__I_POP, 1);
        if (a < 0 || nc_tir__references(o, c->a) != 1 ||
            nc_tir__is_entered(o, (size_t)(c->a - o->regions)) || !nc_tir__is_internal(o, c->a))
            return 0;
        nc_tir__splice(&c->a->code, stbds_arrlenu(c->a->code) - 1, 0, &drop, 1);
        nc_tir__splice(&c->a->code, 0, 0, &flag, 1);
        nc_tir__improve_region(o, c->a);
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
    nc_tir__splice(&r->code, i, 4, code, n);
    return 1;
}

/* Rows and instructions of the program as it stands. */
static uint32_t nc_tir__measure(const nc_tir__optimizer *o, nc_tir_heights *h) {
    size_t i, k, n = 0;
    memset(h, 0, sizeof *h);
    for (i = 0; i < stbds_arrlenu(o->regions); i++) {
        if (o->regions[i].gone) continue;
        for (k = 0; k < stbds_arrlenu(o->regions[i].code); k++)
            nc_tir__add_rows(h, &o->regions[i].code[k]);
        n += k;
    }
    return (uint32_t)n;
}

/* Would the program with one instruction more still be within the classical rows of all tables? */
static int nc_tir__affords(const nc_tir__optimizer *o, const nc_tir__tasm *extra) {
    const nc_tir_heights *limit = &o->report.before;
    nc_tir_heights h;
    (void)nc_tir__measure(o, &h);
    nc_tir__add_rows(&h, extra);
    return h.processor <= limit->processor && h.hash <= limit->hash && h.u32 <= limit->u32 &&
           h.op_stack <= limit->op_stack && h.ram <= limit->ram;
}

/* Calls of bodies of at most one instruction become that instruction; an invented label that is
 * called once becomes its body. */
static int nc_tir__inline_call(nc_tir__optimizer *o, nc_tir__region *r, size_t i) {
    nc_tir__region *callee = nc_tir__callee(o, &r->code[i]);
    int skipped = nc_tir__is_conditional(r->code, i), n, alone;
    nc_tir__tasm *body;
    size_t k;
    if (!callee || callee == r || r->code[i].line == UINT32_MAX) return 0;
    n = nc_tir__plain_body(callee, 0);
    if (n < 0 || (skipped && n > 1)) return 0;
    alone = nc_tir__is_internal(o, callee) && nc_tir__references(o, callee) == 1;
    if (!alone && (n > 1 || (n == 1 && !nc_tir__affords(o, &callee->code[0])))) return 0;
    if (skipped && n == 0) { /* only the condition goes */
        nc_tir__tasm drop = nc_tir__make(NC_TIR__I_POP, 1);
        nc_tir__splice(&r->code, i - 1, 2, &drop, 1);
        return 1;
    }
    body = NULL;
    for (k = 0; k < (size_t)n; k++) stbds_arrput(body, callee->code[k]);
    nc_tir__splice(&r->code, i, 1, body, (size_t)n);
    stbds_arrfree(body);
    return 1;
}

/* Regions with the same code are kept once: the labels of the other move there. */
static int nc_tir__share(nc_tir__optimizer *o) {
    size_t i, k, n = stbds_arrlenu(o->regions), m;
    int changed = 0;
    for (i = 0; i < n; i++)
        for (k = 0; k < i; k++) {
            nc_tir__region *a = &o->regions[k], *b = &o->regions[i];
            size_t length = stbds_arrlenu(a->code);
            if (a->gone || b->gone || length != stbds_arrlenu(b->code) || length == 0) continue;
            if (!nc_tir__is_closed(a) || nc_tir__is_entered(o, i) || !stbds_arrlenu(a->labels))
                continue;
            for (m = 0; m < length && a->code[m].op == b->code[m].op; m++) {
                if (a->code[m].op == NC_TIR__I_CALL && nc_tir__callee(o, &a->code[m]) &&
                    nc_tir__callee(o, &a->code[m]) == nc_tir__callee(o, &b->code[m]))
                    continue;
                if (a->code[m].arg != b->code[m].arg) break;
            }
            if (m < length) continue;
            for (m = 0; m < stbds_arrlenu(b->labels); m++) {
                o->home[b->labels[m]] = (uint32_t)k;
                stbds_arrput(a->labels, b->labels[m]);
            }
            NC_TIR__CLEAR(b->labels);
            b->gone = 1;
            changed = 1;
        }
    return changed;
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

/* Work across blocks until nothing changes: choices from the inner ones outward, then calls. */
static void nc_tir__restructure(nc_tir__optimizer *o) {
    int changed = 1, round, fold;
    for (round = 0; changed && round < 256 && !o->cancelled; round++) {
        size_t k;
        for (changed = 0, fold = 1; !changed && fold >= 0; fold--)
            for (k = stbds_arrlenu(o->regions); k-- > 0 && !o->cancelled;)
                if (!o->regions[k].gone) changed |= nc_tir__simplify(o, &o->regions[k], fold);
        changed |= nc_tir__sweep(o);
        changed |= nc_tir__share(o);
    }
}

/* Small negative constants read better as such, and are what the compiler prints. */
static void nc_tir__print_instruction(char **out, const nc_tir__tasm *t) {
    const nc_tir__instruction *table = &nc_tir__table[t->op];
    nc_tir__print(out, "    ");
    nc_tir__print(out, table->name);
    if (table->arg != NC_TIR__NO_ARG) {
        nc_tir__print(out, " ");
        if (table->arg == NC_TIR__FIELD && t->arg > NC_GL_P - 65536) {
            nc_tir__print(out, "-");
            nc_tir__print_value(out, NC_GL_P - t->arg);
        } else {
            nc_tir__print_value(out, t->arg);
        }
    }
    nc_tir__print(out, "\n");
}

static void nc_tir__print_tasm(const nc_tir__optimizer *o, char **out, const nc_tir__tasm *t) {
    const nc_tir__instruction *table = &nc_tir__table[t->op];
    if (table->arg != NC_TIR__LABEL) {
        nc_tir__print_instruction(out, t);
        return;
    }
    nc_tir__print(out, "    ");
    nc_tir__print(out, table->name);
    nc_tir__print(out, " ");
    nc_tir__print(out, o->code.labels[t->arg].key);
    nc_tir__print(out, "\n");
}

static void nc_tir__print_regions(const nc_tir__optimizer *o, char **out) {
    size_t i, k;
    for (i = 0; i < stbds_arrlenu(o->regions); i++) {
        const nc_tir__region *r = &o->regions[i];
        if (r->gone) continue;
        for (k = 0; k < stbds_arrlenu(r->labels); k++) {
            nc_tir__print(out, o->code.labels[r->labels[k]].key);
            nc_tir__print(out, ":\n");
        }
        for (k = 0; k < stbds_arrlenu(r->code); k++) nc_tir__print_tasm(o, out, &r->code[k]);
        if (nc_tir__is_closed(r)) nc_tir__print(out, "\n");
    }
}

/* >>training ======================================================================= */

/* Imitation: the best sequences a wide search finds without the network are taken apart into
 * (state, move) pairs; in floating point the network learns to prefer that move to the others of
 * its state (cross entropy, AdamW), and is then rounded to fixed point. Sums run in one order, so
 * one machine always gives the same weights. */

/* One decision: the block, what is open, the state's rows, the moves to choose from. */
typedef struct nc_tir__lesson {
    uint32_t open, first_move, moves, chosen;
    uint8_t rows[2 + NC_TIR__TOPS];
} nc_tir__lesson;

typedef struct nc_tir__course {
    nc_gl *words;            /* stb_ds array: 144 a block */
    uint32_t *starts;        /* stb_ds array: first lesson of each block, and the end */
    nc_tir__lesson *lessons; /* stb_ds array */
    uint8_t *codes;          /* stb_ds array: opcode and argument of each move; 255: none */
} nc_tir__course;

static void nc_tir__course_free(nc_tir__course *c) {
    stbds_arrfree(c->words);
    stbds_arrfree(c->starts);
    stbds_arrfree(c->lessons);
    stbds_arrfree(c->codes);
}

/* Walk a found sequence from the start; every step is a lesson. 0 when a step is no move. */
static int nc_tir__learn_steps(nc_tir__prover *p, const nc_tir__tasm *found, uint32_t length,
                               nc_tir__course *c) {
    nc_tir__beam b;
    nc_tir__state s;
    uint32_t step, i, n;
    int ok = nc_tir__begin(p, &b, &s);
    for (step = 0; step < length && ok; step++) {
        nc_tir__lesson lesson;
        memset(&lesson, 0, sizeof lesson);
        b.s = &s;
        b.parent = 0;
        NC_TIR__CLEAR(b.moves);
        nc_tir__expand(&b);
        n = (uint32_t)stbds_arrlenu(b.moves);
        lesson.open = nc_tir__open_nodes(p, &s);
        nc_tir__state_rows(&b, step == 0, lesson.rows);
        lesson.first_move = (uint32_t)stbds_arrlenu(c->codes) / 2;
        lesson.moves = n;
        lesson.chosen = n;
        for (i = 0; i < n; i++) {
            uint8_t code[2];
            nc_tir__code_of(b.moves[i].op, b.moves[i].arg, code);
            stbds_arrput(c->codes, code[0]);
            stbds_arrput(c->codes, code[1]);
            if (b.moves[i].op == found[step].op && b.moves[i].arg == found[step].arg)
                lesson.chosen = i;
        }
        ok = lesson.chosen < n;
        if (ok) {
            stbds_arrput(c->lessons, lesson);
            nc_tir__apply(p, &s, &b.moves[lesson.chosen]);
        }
    }
    p->moves = b.moves;
    return ok;
}

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
static void nc_tir__f_product(float *y, const float *x, const float *w, uint32_t rows, uint32_t m,
                              uint32_t n) {
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

/* What the backward pass needs of a layer. */
typedef struct nc_tir__f_layer {
    float x[32 * 64], h[32 * 64], q[32 * 64], k[32 * 64], v[32 * 64], o[32 * 64], mid[32 * 64];
    float up[32 * 128], p[2][32 * 32], mean[32], scale[32];
} nc_tir__f_layer;

typedef struct nc_tir__school {
    float w[NC_TIR__PARAMETERS], g[NC_TIR__PARAMETERS], m[NC_TIR__PARAMETERS],
        v[NC_TIR__PARAMETERS];
    nc_tir__f_layer layer[NC_TIR__LAYERS];
    float x[32 * 64], dx[32 * 64], dh[32 * 64], dq[32 * 64], dk[32 * 64], dv[32 * 64],
        dup[32 * 128];
} nc_tir__school;

static void nc_tir__f_encode(nc_tir__school *s, const nc_gl *words, uint32_t n) {
    uint32_t i, j, c, l, head;
    memset(s->x, 0, sizeof s->x);
    for (i = 0; i < n; i++) {
        uint32_t rows[6];
        nc_tir__node_rows(words, i, rows);
        for (j = 0; j < 6; j++)
            for (c = 0; c < 64; c++) s->x[i * 64 + c] += s->w[NC_TIR__P_NODES + rows[j] * 64 + c];
    }
    for (l = 0; l < NC_TIR__LAYERS; l++) {
        const float *w = s->w + l * (uint32_t)NC_TIR__LAYER;
        nc_tir__f_layer *a = &s->layer[l];
        memcpy(a->x, s->x, sizeof a->x);
        for (i = 0; i < n; i++) {
            float mean = 0.0f, variance = 0.0f;
            for (c = 0; c < 64; c++) mean += s->x[i * 64 + c];
            mean /= 64.0f;
            for (c = 0; c < 64; c++)
                variance += (s->x[i * 64 + c] - mean) * (s->x[i * 64 + c] - mean);
            a->mean[i] = mean;
            a->scale[i] = 1.0f / sqrtf(variance / 64.0f + 1.0f / 65536.0f);
            for (c = 0; c < 64; c++)
                a->h[i * 64 + c] =
                    (s->x[i * 64 + c] - mean) * a->scale[i] * w[NC_TIR__L_GAMMA + c] +
                    w[NC_TIR__L_BETA + c];
        }
        memset(a->q, 0, sizeof a->q);
        memset(a->k, 0, sizeof a->k);
        memset(a->v, 0, sizeof a->v);
        memset(a->o, 0, sizeof a->o);
        memset(a->p, 0, sizeof a->p);
        memset(a->up, 0, sizeof a->up);
        nc_tir__f_product(a->q, a->h, w + NC_TIR__L_Q, n, 64, 64);
        nc_tir__f_product(a->k, a->h, w + NC_TIR__L_K, n, 64, 64);
        nc_tir__f_product(a->v, a->h, w + NC_TIR__L_V, n, 64, 64);
        for (i = 0; i < n; i++) {
            uint32_t mask = nc_tir__attended(words, n, i);
            for (head = 0; head < 2; head++) {
                float *p = a->p[head] + i * 32, sum = 0.0f, top = -1e30f;
                for (j = 0; j < n; j++) {
                    if (!(mask >> j & 1)) continue;
                    p[j] = 0.0f;
                    for (c = 0; c < 32; c++)
                        p[j] += a->q[i * 64 + head * 32 + c] * a->k[j * 64 + head * 32 + c];
                    p[j] *= 11585.0f / 65536.0f;
                    if (p[j] > top) top = p[j];
                }
                for (j = 0; j < n; j++)
                    if (mask >> j & 1) sum += p[j] = expf(p[j] - top);
                for (j = 0; j < n; j++) {
                    p[j] = mask >> j & 1 ? p[j] / sum : 0.0f;
                    for (c = 0; c < 32; c++)
                        a->o[i * 64 + head * 32 + c] += p[j] * a->v[j * 64 + head * 32 + c];
                }
            }
        }
        nc_tir__f_product(s->x, a->o, w + NC_TIR__L_O, n, 64, 64);
        memcpy(a->mid, s->x, sizeof a->mid);
        for (i = 0; i < n; i++) memcpy(a->up + i * 128, w + NC_TIR__L_BIAS, 128 * sizeof *w);
        nc_tir__f_product(a->up, s->x, w + NC_TIR__L_UP, n, 64, 128);
        for (i = 0; i < n * 128; i++)
            if (a->up[i] < 0.0f) a->up[i] = 0.0f;
        nc_tir__f_product(s->x, a->up, w + NC_TIR__L_DOWN, n, 128, 64);
    }
}

/* Gradients of the encoder from s->dx, the gradient of the latents. */
static void nc_tir__f_encode_back(nc_tir__school *s, const nc_gl *words, uint32_t n) {
    uint32_t i, j, c, l, head;
    for (l = NC_TIR__LAYERS; l-- > 0;) {
        const float *w = s->w + l * (uint32_t)NC_TIR__LAYER;
        float *g = s->g + l * (uint32_t)NC_TIR__LAYER;
        nc_tir__f_layer *a = &s->layer[l];
        memset(s->dup, 0, sizeof s->dup);
        nc_tir__f_back(s->dup, g + NC_TIR__L_DOWN, s->dx, a->up, w + NC_TIR__L_DOWN, n, 128, 64);
        for (i = 0; i < n * 128; i++)
            if (a->up[i] <= 0.0f) s->dup[i] = 0.0f;
        for (i = 0; i < n; i++)
            for (c = 0; c < 128; c++) g[NC_TIR__L_BIAS + c] += s->dup[i * 128 + c];
        nc_tir__f_back(s->dx, g + NC_TIR__L_UP, s->dup, a->mid, w + NC_TIR__L_UP, n, 64, 128);
        memset(s->dh, 0, sizeof s->dh);
        memset(s->dq, 0, sizeof s->dq);
        memset(s->dk, 0, sizeof s->dk);
        memset(s->dv, 0, sizeof s->dv);
        /* dh holds the gradient of the heads' output first */
        nc_tir__f_back(s->dh, g + NC_TIR__L_O, s->dx, a->o, w + NC_TIR__L_O, n, 64, 64);
        for (i = 0; i < n; i++)
            for (head = 0; head < 2; head++) {
                const float *p = a->p[head] + i * 32, *d = s->dh + i * 64 + head * 32;
                float dp[32], dot = 0.0f;
                for (j = 0; j < n; j++) {
                    dp[j] = 0.0f;
                    if (p[j] == 0.0f) continue;
                    for (c = 0; c < 32; c++) {
                        dp[j] += d[c] * a->v[j * 64 + head * 32 + c];
                        s->dv[j * 64 + head * 32 + c] += p[j] * d[c];
                    }
                    dot += dp[j] * p[j];
                }
                for (j = 0; j < n; j++) {
                    float ds = p[j] * (dp[j] - dot) * (11585.0f / 65536.0f);
                    if (ds == 0.0f) continue;
                    for (c = 0; c < 32; c++) {
                        s->dq[i * 64 + head * 32 + c] += ds * a->k[j * 64 + head * 32 + c];
                        s->dk[j * 64 + head * 32 + c] += ds * a->q[i * 64 + head * 32 + c];
                    }
                }
            }
        memset(s->dh, 0, sizeof s->dh);
        nc_tir__f_back(s->dh, g + NC_TIR__L_Q, s->dq, a->h, w + NC_TIR__L_Q, n, 64, 64);
        nc_tir__f_back(s->dh, g + NC_TIR__L_K, s->dk, a->h, w + NC_TIR__L_K, n, 64, 64);
        nc_tir__f_back(s->dh, g + NC_TIR__L_V, s->dv, a->h, w + NC_TIR__L_V, n, 64, 64);
        for (i = 0; i < n; i++) {
            float one = 0.0f, two = 0.0f;
            for (c = 0; c < 64; c++) {
                float normal = (a->x[i * 64 + c] - a->mean[i]) * a->scale[i];
                float d = s->dh[i * 64 + c];
                g[NC_TIR__L_GAMMA + c] += d * normal;
                g[NC_TIR__L_BETA + c] += d;
                one += d * w[NC_TIR__L_GAMMA + c];
                two += d * w[NC_TIR__L_GAMMA + c] * normal;
            }
            for (c = 0; c < 64; c++) {
                float normal = (a->x[i * 64 + c] - a->mean[i]) * a->scale[i];
                s->dx[i * 64 + c] += a->scale[i] * (s->dh[i * 64 + c] * w[NC_TIR__L_GAMMA + c] -
                                                    (one + normal * two) / 64.0f);
            }
        }
    }
    for (i = 0; i < n; i++) {
        uint32_t rows[6];
        nc_tir__node_rows(words, i, rows);
        for (j = 0; j < 6; j++)
            for (c = 0; c < 64; c++) s->g[NC_TIR__P_NODES + rows[j] * 64 + c] += s->dx[i * 64 + c];
    }
}

/* One lesson: its loss, and gradients (scaled) when asked for; *right when the choice ranks
 * first. */
static float nc_tir__f_lesson(nc_tir__school *s, const nc_tir__course *course,
                              const nc_tir__lesson *lesson, uint32_t n, float scale, int *right) {
    const uint8_t *codes = course->codes + 2 * (size_t)lesson->first_move;
    float in[128] = {0}, hidden[128], out[64], dout[64] = {0}, din[128] = {0}, dhidden[128] = {0};
    float top = -1e30f, sum = 0.0f, chosen = 0.0f, *logit, loss;
    uint32_t mask = lesson->open, count = 0, i, c;
    if (n < 32) mask &= (1u << n) - 1;
    if (!mask) mask = n < 32 ? (1u << n) - 1 : UINT32_MAX;
    for (i = 0; i < n; i++) count += mask >> i & 1;
    for (i = 0; i < n; i++)
        for (c = 0; (mask >> i & 1) && c < 64; c++) in[c] += s->x[i * 64 + c] / (float)count;
    for (i = 0; i < 2 + NC_TIR__TOPS; i++)
        for (c = 0; c < 64; c++) in[64 + c] += s->w[NC_TIR__P_STATES + lesson->rows[i] * 64u + c];
    memcpy(hidden, s->w + NC_TIR__P_HIDDEN_BIAS, sizeof hidden);
    nc_tir__f_product(hidden, in, s->w + NC_TIR__P_HIDDEN, 1, 128, 128);
    for (c = 0; c < 128; c++)
        if (hidden[c] < 0.0f) hidden[c] = 0.0f;
    memcpy(out, s->w + NC_TIR__P_OUT_BIAS, sizeof out);
    nc_tir__f_product(out, hidden, s->w + NC_TIR__P_OUT, 1, 128, 64);
    logit = (float *)nc__alloc(NULL, lesson->moves * sizeof *logit);
    *right = 0;
    if (!logit) return 0.0f;
    *right = 1;
    for (i = 0; i < lesson->moves; i++) {
        logit[i] = out[codes[2 * i]] + (codes[2 * i + 1] < 16 ? out[48 + codes[2 * i + 1]] : 0.0f);
        if (logit[i] > top) top = logit[i];
    }
    chosen = logit[lesson->chosen];
    if (chosen < top) *right = 0;
    for (i = 0; i < lesson->moves; i++) sum += logit[i] = expf(logit[i] - top);
    loss = logf(sum) - (chosen - top);
    if (scale > 0.0f) {
        for (i = 0; i < lesson->moves; i++) {
            float d = scale * (logit[i] / sum - (i == lesson->chosen ? 1.0f : 0.0f));
            dout[codes[2 * i]] += d;
            if (codes[2 * i + 1] < 16) dout[48 + codes[2 * i + 1]] += d;
        }
        for (c = 0; c < 64; c++) s->g[NC_TIR__P_OUT_BIAS + c] += dout[c];
        nc_tir__f_back(dhidden, s->g + NC_TIR__P_OUT, dout, hidden, s->w + NC_TIR__P_OUT, 1, 128,
                       64);
        for (c = 0; c < 128; c++) {
            if (hidden[c] <= 0.0f) dhidden[c] = 0.0f;
            s->g[NC_TIR__P_HIDDEN_BIAS + c] += dhidden[c];
        }
        nc_tir__f_back(din, s->g + NC_TIR__P_HIDDEN, dhidden, in, s->w + NC_TIR__P_HIDDEN, 1, 128,
                       128);
        for (i = 0; i < n; i++)
            for (c = 0; (mask >> i & 1) && c < 64; c++) s->dx[i * 64 + c] += din[c] / (float)count;
        for (i = 0; i < 2 + NC_TIR__TOPS; i++)
            for (c = 0; c < 64; c++)
                s->g[NC_TIR__P_STATES + lesson->rows[i] * 64u + c] += din[64 + c];
    }
    nc__free(NULL, logit, lesson->moves * sizeof *logit);
    return loss;
}

/* AdamW with the rates of the step; weights stay below 8 so that fixed point holds them. */
static void nc_tir__f_update(nc_tir__school *s, uint32_t step, float rate) {
    float one = 1.0f - powf(0.9f, (float)step), two = 1.0f - powf(0.999f, (float)step);
    uint32_t i;
    for (i = 0; i < NC_TIR__PARAMETERS; i++) {
        float g = s->g[i];
        s->m[i] = 0.9f * s->m[i] + 0.1f * g;
        s->v[i] = 0.999f * s->v[i] + 0.001f * g * g;
        s->w[i] -= rate * (s->m[i] / one / (sqrtf(s->v[i] / two) + 1e-8f) +
                           (nc_tir__fan_in(i) ? 0.01f * s->w[i] : 0.0f));
        if (s->w[i] > 7.9f) s->w[i] = 7.9f;
        if (s->w[i] < -7.9f) s->w[i] = -7.9f;
    }
    memset(s->g, 0, sizeof s->g);
}

/* Search one piece of code; what it ends with becomes lessons, unless the piece was seen before. */
static void nc_tir__teach_piece(nc_tir__prover *p, nc_tir__map *seen, const nc_tir__tasm *piece,
                                size_t n, uint32_t beam, nc_tir__course *course) {
    uint32_t length;
    int fresh = 0;
    if (n < 2 || !nc_tir__remembered(seen, piece, n, &fresh) || !fresh) return;
    nc_tir__terms_reset(&p->terms);
    if (nc_tir__symbolic_run(&p->terms, piece, n, &p->before) != NC_TIR_PROVEN) return;
    length = nc_tir__search(p, (uint32_t)n + 1, beam);
    if (length == 0 || length == UINT32_MAX) return;
    stbds_arrput(course->starts, (uint32_t)stbds_arrlenu(course->lessons));
    nc_tir__encode(piece, n, stbds_arraddnptr(course->words, NC_TIR_BLOCK_WORDS));
    if (nc_tir__learn_steps(p, p->found, length, course)) return;
    stbds_arrsetlen(course->lessons, stbds_arrlast(course->starts));
    (void)stbds_arrpop(course->starts);
    stbds_arrsetlen(course->words, stbds_arrlenu(course->words) - NC_TIR_BLOCK_WORDS);
}

/* Straight-line code from `first` on, up to a jump or a label. */
static size_t nc_tir__segment_end(const nc_tir__code *code, size_t first) {
    size_t n = stbds_arrlenu(code->list), end = first, k;
    while (end < n && nc_tir__is_straight(code->list, end)) {
        for (k = 0; end > first && k < stbds_shlenu(code->labels); k++)
            if (code->labels[k].value == (int32_t)end) return end;
        end++;
    }
    return end;
}

/* Best sequences of the blocks of the programs and of pieces of them, as lessons. */
static nc_status nc_tir__prepare_course(const char *const *tasm, size_t count, uint32_t beam,
                                        nc_tir__course *course, nc_progress_fn progress,
                                        void *user) {
    nc_tir__prover *p = nc_tir__prover_new(NULL, 0);
    nc_tir__map seen;
    nc_status status = p ? NC_OK : NC_ERR_MEMORY;
    size_t i;
    memset(&seen, 0, sizeof seen);
    for (i = 0; i < count && status == NC_OK; i++) {
        nc_tir__code code;
        size_t first = 0, end, at, size;
        if (progress && progress(user, i, count)) {
            status = NC_ERR_CANCELLED;
            break;
        }
        status = nc_tir__read_tasm(tasm[i], 0, &code, NULL);
        while (status == NC_OK && first < stbds_arrlenu(code.list)) {
            end = nc_tir__segment_end(&code, first);
            for (at = first; at < end; at += 2)
                for (size = 8; size <= NC_TIR_BLOCK_NODES; size += 6) {
                    size_t n = end - at < size ? end - at : size;
                    nc_tir__teach_piece(p, &seen, code.list + at, n, beam, course);
                    if (n < size) break;
                }
            first = end > first ? end : first + 1;
        }
        nc_tir__code_free(&code);
    }
    stbds_arrput(course->starts, (uint32_t)stbds_arrlenu(course->lessons));
    nc_tir__map_free(&seen);
    nc_tir__prover_free(p);
    return status;
}

NC_API nc_status nc_tir_imitate(nc_tir_model *model, const char *const *tasm, size_t count,
                                const nc_tir_imitation *options, nc_tir_lesson_report *report,
                                nc_error *err) {
    nc_tir_imitation o;
    nc_tir__course course;
    nc_tir__school *s;
    nc_status status;
    uint32_t epoch, i, k, step = 0, blocks;
    if (!model || (!tasm && count)) return nc__fail(err, NC_ERR_ARG, 0, 0, "no model or no code");
    memset(&o, 0, sizeof o);
    if (options) o = *options;
    if (!o.epochs) o.epochs = 20;
    if (!o.beam) o.beam = 256;
    if (o.rate <= 0.0f) o.rate = 1e-3f;
    memset(&course, 0, sizeof course);
    s = (nc_tir__school *)nc__calloc(NULL, sizeof *s);
    status = s ? nc_tir__prepare_course(tasm, count, o.beam, &course, o.progress, o.user)
               : NC_ERR_MEMORY;
    if (status == NC_OK)
        for (i = 0; i < NC_TIR__PARAMETERS; i++) s->w[i] = (float)nc_fixed_to_f64(model->w[i]);
    blocks = (uint32_t)stbds_arrlenu(course.starts);
    blocks = blocks ? blocks - 1 : 0;
    for (epoch = 0; epoch < o.epochs && status == NC_OK; epoch++) {
        double loss = 0.0, right = 0.0;
        uint32_t *order = NULL, waiting = 0;
        for (i = 0; i < blocks; i++) stbds_arrput(order, i);
        for (i = blocks; i > 1; i--) { /* Fisher and Yates */
            uint32_t words[4], other;
            nc__philox(o.seed, i, 1 + epoch, words);
            other = words[0] % i;
            k = order[i - 1];
            order[i - 1] = order[other];
            order[other] = k;
        }
        for (i = 0; i < blocks; i++) {
            const nc_gl *words = course.words + (size_t)order[i] * NC_TIR_BLOCK_WORDS;
            uint32_t first = course.starts[order[i]], last = course.starts[order[i] + 1];
            uint32_t n = nc_tir__node_count(words);
            nc_tir__f_encode(s, words, n);
            memset(s->dx, 0, sizeof s->dx);
            for (k = first; k < last; k++) {
                int correct;
                loss += (double)nc_tir__f_lesson(s, &course, &course.lessons[k], n, 1.0f / 64.0f,
                                                 &correct);
                right += correct;
            }
            nc_tir__f_encode_back(s, words, n);
            waiting += last - first;
            if (waiting >= 64 || i + 1 == blocks) {
                float done = (float)epoch / (float)o.epochs;
                nc_tir__f_update(s, ++step, o.rate * (1.0f - 0.9f * done));
                waiting = 0;
            }
        }
        stbds_arrfree(order);
        if (report) {
            report->blocks = blocks;
            report->lessons = (uint32_t)stbds_arrlenu(course.lessons);
            report->loss = report->lessons ? loss / report->lessons : 0.0;
            report->accuracy = report->lessons ? right / report->lessons : 0.0;
        }
        if (o.progress && o.progress(o.user, epoch + 1, o.epochs)) status = NC_ERR_CANCELLED;
    }
    if (status == NC_OK)
        for (i = 0; i < NC_TIR__PARAMETERS; i++)
            (void)nc_fixed_from_f64((double)s->w[i], &model->w[i]);
    nc_tir__course_free(&course);
    nc__free(NULL, s, sizeof *s);
    return status == NC_OK ? NC_OK : nc__fail(err, status, 0, 0, "%s", nc_status_str(status));
}

/* Evolution: 16 weight vectors, scored by what short guided searches make of a batch of blocks. */
enum { NC_TIR__POPULATION = 16, NC_TIR__SURVIVORS = 4, NC_TIR__MAX_BATCH = 4096 };

/* A block of the batch: instructions from `first` on. */
typedef struct nc_tir__exercise {
    uint32_t first, count;
} nc_tir__exercise;

struct nc_tir_evolution {
    nc_tir_model *models[NC_TIR__POPULATION], *next[NC_TIR__POPULATION];
    uint64_t cost[NC_TIR__POPULATION];
    uint64_t seed, generation;
    uint32_t scored_step; /* the survivors' costs are for every so many exercises; 0: unknown */
    double size;          /* of mutations, in units of 1 */
    nc_tir__tasm *code;   /* stb_ds array: the batch's instructions */
    nc_tir__exercise *exercises; /* stb_ds array */
    nc_tir__map seen;
    volatile int *stop; /* another thread's wish; or null */
#ifdef NC_GPU
    nc_tir_gpu *gpu; /* for the latents; or null */
#endif
};

/* Rows of the best proven code that the prover's model finds for a block with a narrow beam. */
static void nc_tir__score_block(nc_tir__prover *p, const nc_tir__tasm *code, uint32_t count,
                                nc_tir_heights *rows) {
    uint32_t length = 0;
    nc_tir__terms_reset(&p->terms);
    if (nc_tir__symbolic_run(&p->terms, code, count, &p->before) == NC_TIR_PROVEN) {
        nc_tir__see_block(p, code, count);
        length = nc_tir__search(p, count, 2);
    }
    if (length == 0) {
        nc_tir__sum_rows(rows, code, count);
        return;
    }
    if (length == UINT32_MAX) length = 0;
    if (nc_tir__prove(p, code, count, p->found, length) == NC_TIR_PROVEN)
        nc_tir__sum_rows(rows, p->found, length);
    else
        nc_tir__sum_rows(rows, code, count);
}

#ifdef NC_GPU
static nc_status nc_tir__gpu_latents(const nc_tir_evolution *e, nc_tir_model *const *models,
                                     uint32_t count, nc_fixed **latents);
#endif

/* Padded height first, then the tallest table, then all rows. */
static uint64_t nc_tir__cost_of(const nc_tir_heights *h) {
    uint64_t tallest = nc_tir_tallest(h, NULL);
    uint64_t all = h->processor + h->hash + h->u32 + h->op_stack + h->ram + h->jump_stack, bits = 0;
    while (UINT64_C(1) << bits < nc_tir_padded(tallest)) bits++;
    return bits << 56 | (tallest & 0xfffffff) << 28 | (all & 0xfffffff);
}

static void nc_tir__add_heights(nc_tir_heights *to, const nc_tir_heights *from) {
    to->processor += from->processor;
    to->hash += from->hash;
    to->u32 += from->u32;
    to->op_stack += from->op_stack;
    to->ram += from->ram;
    to->jump_stack += from->jump_stack;
}

/* Costs of `count` models on the exercises first, first + step, ... NC_ERR_CANCELLED when asked to
 * stop. Each model and block is its own task: the threads change nothing. */
static nc_status nc_tir__score_models(nc_tir_evolution *e, nc_tir_model *const *models,
                                      uint32_t count, uint32_t first, uint32_t step,
                                      uint64_t *cost) {
    uint32_t blocks = (uint32_t)stbds_arrlenu(e->exercises);
    size_t bytes = ((size_t)count * blocks + 1) * sizeof(nc_tir_heights);
    nc_tir_heights *rows = (nc_tir_heights *)nc__calloc(NULL, bytes);
    nc_fixed *latents = NULL;
    int failed = !rows;
    ptrdiff_t i;
    uint32_t k;
#ifdef NC_GPU
    if (e->gpu && rows) {
        nc_status status = nc_tir__gpu_latents(e, models, count, &latents);
        if (status != NC_OK) {
            nc__free(NULL, rows, bytes);
            return status;
        }
    }
#endif
#ifdef _OPENMP
#pragma omp parallel reduction(| : failed) if (!e->stop)
#endif
    {
        nc_tir__prover *p = nc_tir__prover_new(models[0], 4);
        if (!p || !rows) failed = 1;
#ifdef _OPENMP
#pragma omp for schedule(dynamic, 8)
#endif
        for (i = 0; i < (ptrdiff_t)count * (ptrdiff_t)blocks; i++) {
            uint32_t b = (uint32_t)(i % (ptrdiff_t)blocks);
            if (failed || b % step != first || (e->stop && *e->stop)) continue;
            p->model = models[i / (ptrdiff_t)blocks];
            if (latents) p->given = latents + (size_t)i * NC_TIR__LATENTS;
            nc_tir__score_block(p, e->code + e->exercises[b].first, e->exercises[b].count,
                                &rows[i]);
        }
        nc_tir__prover_free(p);
    }
    for (i = 0; i < (ptrdiff_t)count && !failed; i++) {
        nc_tir_heights sum;
        memset(&sum, 0, sizeof sum);
        for (k = 0; k < blocks; k++)
            nc_tir__add_heights(&sum, &rows[i * (ptrdiff_t)blocks + (ptrdiff_t)k]);
        cost[i] = nc_tir__cost_of(&sum);
    }
    nc__free(NULL, rows, bytes);
    nc__free(NULL, latents, 0);
    if (failed) return NC_ERR_MEMORY;
    return e->stop && *e->stop ? NC_ERR_CANCELLED : NC_OK;
}

/* A child: each weight from one parent or the other, one in a hundred changed. */
static void nc_tir__breed(const nc_tir_evolution *e, const nc_tir_model *a, const nc_tir_model *b,
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
}

NC_API nc_status nc_tir_evolution_create(nc_tir_evolution **evolution, const nc_tir_model *start,
                                         uint64_t seed) {
    nc_tir_evolution *e;
    uint32_t i;
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
            if (i) nc_tir__breed(e, start, start, i, e->models[i]);
            continue;
        }
        nc_tir_evolution_destroy(e);
        *evolution = NULL;
        return NC_ERR_MEMORY;
    }
    e->generation = 1;
    return NC_OK;
}

NC_API void nc_tir_evolution_destroy(nc_tir_evolution *e) {
    uint32_t i;
    if (!e) return;
    for (i = 0; i < NC_TIR__POPULATION; i++) {
        nc_tir_model_destroy(e->models[i]);
        nc_tir_model_destroy(e->next[i]);
    }
    stbds_arrfree(e->code);
    stbds_arrfree(e->exercises);
    nc_tir__map_free(&e->seen);
    nc__free(NULL, e, sizeof *e);
}

NC_API nc_status nc_tir_evolution_add(nc_tir_evolution *e, const char *tasm, nc_error *err) {
    nc_tir__code code;
    nc_status status;
    size_t first = 0, end, at, stop, i;
    nc__clear(err);
    if (!e || !tasm) return nc__fail(err, NC_ERR_ARG, 0, 0, "no evolution or no code");
    status = nc_tir__read_tasm(tasm, 0, &code, err);
    while (status == NC_OK && first < stbds_arrlenu(code.list)) {
        end = nc_tir__segment_end(&code, first);
        for (at = first; at < end && status == NC_OK; at = stop) {
            nc_tir__exercise x;
            int fresh = 0;
            stop = nc_tir__block_end(code.list, end, at, NC_TIR_BLOCK_NODES);
            if (stop - at < 3 || stbds_arrlenu(e->exercises) == NC_TIR__MAX_BATCH) continue;
            if (!nc_tir__remembered(&e->seen, code.list + at, stop - at, &fresh))
                status = nc__fail(err, NC_ERR_MEMORY, 0, 0, "out of memory");
            if (!fresh) continue;
            x.first = (uint32_t)stbds_arrlenu(e->code);
            x.count = (uint32_t)(stop - at);
            for (i = at; i < stop; i++) stbds_arrput(e->code, code.list[i]);
            stbds_arrput(e->exercises, x);
            e->scored_step = 0;
        }
        first = end > first ? end : first + 1;
    }
    nc_tir__code_free(&code);
    return status;
}

NC_API uint32_t nc_tir_evolution_blocks(const nc_tir_evolution *e) {
    return (uint32_t)stbds_arrlenu(e->exercises);
}

NC_API const nc_tir_model *nc_tir_evolution_best(const nc_tir_evolution *e) { return e->models[0]; }

NC_API uint64_t nc_tir_evolution_cost(const nc_tir_evolution *e) { return e->cost[0]; }

/* One generation on the exercises 0, step, 2 step, ...: score, sort, breed. The survivors of the
 * last one keep their costs while the exercises stay the same. */
static nc_status nc_tir__generation(nc_tir_evolution *e, uint32_t step) {
    uint64_t before = e->cost[0];
    uint32_t i, k;
    int child;
    uint32_t known = e->scored_step == step ? NC_TIR__SURVIVORS : 0;
    nc_status status = nc_tir__score_models(e, e->models + known, NC_TIR__POPULATION - known, 0,
                                            step, e->cost + known);
    if (status != NC_OK) return status;
    e->scored_step = step;
    for (i = 1; i < NC_TIR__POPULATION; i++) /* by insertion: equals keep their order */
        for (k = i; k > 0 && e->cost[k] < e->cost[k - 1]; k--) {
            nc_tir_model *model = e->models[k];
            uint64_t cost = e->cost[k];
            e->models[k] = e->models[k - 1];
            e->cost[k] = e->cost[k - 1];
            e->models[k - 1] = model;
            e->cost[k - 1] = cost;
        }
    /* larger steps while they succeed, smaller ones when they do not */
    if (before) e->size *= e->cost[0] < before ? 1.25 : 0.95;
    if (e->size > 0.5) e->size = 0.5;
    if (e->size < 0.001) e->size = 0.001;
#ifdef _OPENMP
#pragma omp parallel for schedule(dynamic) if (!e->stop)
#endif
    for (child = NC_TIR__SURVIVORS; child < NC_TIR__POPULATION; child++) {
        uint32_t words[4], a, b;
        nc__philox(e->seed, UINT64_C(1) << 62 | (uint64_t)child, e->generation, words);
        a = words[0] % NC_TIR__SURVIVORS;
        b = words[1] % NC_TIR__SURVIVORS;
        nc_tir__breed(e, e->models[a], e->models[b], (uint32_t)child, e->next[child]);
    }
    for (i = NC_TIR__SURVIVORS; i < NC_TIR__POPULATION; i++) {
        nc_tir_model *model = e->models[i];
        e->models[i] = e->next[i];
        e->next[i] = model;
    }
    e->generation++;
    return NC_OK;
}

NC_API nc_status nc_tir_evolution_run(nc_tir_evolution *e, uint32_t generations,
                                      nc_progress_fn progress, void *user) {
    nc_status status = NC_OK;
    uint32_t i;
    if (!e) return NC_ERR_ARG;
    for (i = 0; i < generations && status == NC_OK; i++) {
        if (progress && progress(user, i, generations)) return NC_ERR_CANCELLED;
        status = nc_tir__generation(e, 1);
    }
    return status;
}

#ifndef NC_NO_STDIO
/* State of an evolution: "NCTIRE1\n", seed, generation, size of mutations in units of 2^-40, costs,
 * then 16 weights files one after the other. The batch is not in it. */
enum { NC_TIR__EVOLUTION_HEAD = 32 + 8 * NC_TIR__POPULATION };

NC_API nc_status nc_tir_evolution_save(const nc_tir_evolution *e, const char *path, nc_error *err) {
    size_t bytes = NC_TIR__EVOLUTION_HEAD + (size_t)NC_TIR__POPULATION * NC_TIR__FILE_BYTES;
    nc__span span;
    nc_status status;
    uint8_t *file;
    uint32_t i;
    if (!e || !path) return nc__fail(err, NC_ERR_ARG, 0, 0, "no evolution or no path");
    file = (uint8_t *)nc__alloc(NULL, bytes);
    if (!file) return nc__fail(err, NC_ERR_MEMORY, 0, 0, "out of memory");
    memcpy(file, "NCTIRE1\n", 8);
    nc__put_le(file + 8, e->seed, 8);
    nc__put_le(file + 16, e->generation, 8);
    nc__put_le(file + 24, (uint64_t)(e->size * 1099511627776.0), 8);
    for (i = 0; i < NC_TIR__POPULATION; i++) {
        nc__put_le(file + 32 + 8 * i, e->cost[i], 8);
        nc_tir__model_pack(e->models[i],
                           file + NC_TIR__EVOLUTION_HEAD + (size_t)i * NC_TIR__FILE_BYTES);
    }
    span.data = file;
    span.bytes = bytes;
    status = nc__file_write(path, &span, 1, err);
    nc__free(NULL, file, bytes);
    return status;
}

NC_API nc_status nc_tir_evolution_load(nc_tir_evolution *e, const char *path, nc_error *err) {
    size_t wanted = NC_TIR__EVOLUTION_HEAD + (size_t)NC_TIR__POPULATION * NC_TIR__FILE_BYTES, bytes;
    nc_tir_model *models[NC_TIR__POPULATION];
    nc_status status;
    uint8_t *file;
    uint32_t i, k;
    if (!e || !path) return nc__fail(err, NC_ERR_ARG, 0, 0, "no evolution or no path");
    status = nc__file_read(path, NULL, &file, &bytes, err);
    if (status != NC_OK) return status;
    if (bytes != wanted || memcmp(file, "NCTIRE1\n", 8) != 0)
        status = nc__fail(err, NC_ERR_FORMAT, 0, 0, "not the state of an evolution");
    for (i = 0; i < NC_TIR__POPULATION && status == NC_OK; i++)
        status = nc_tir_model_read(&models[i],
                                   file + NC_TIR__EVOLUTION_HEAD + (size_t)i * NC_TIR__FILE_BYTES,
                                   NC_TIR__FILE_BYTES, err);
    if (status != NC_OK && i) i--; /* the last one failed: it left nothing */
    if (status == NC_OK) {
        e->seed = nc__get_le(file + 8, 8);
        e->generation = nc__get_le(file + 16, 8);
        e->scored_step = 0;
        e->size = (double)nc__get_le(file + 24, 8) / 1099511627776.0;
        if (!(e->size >= 0.001)) e->size = 0.001;
        if (e->size > 0.5) e->size = 0.5;
    }
    for (k = 0; k < i; k++) {
        if (status == NC_OK) {
            *e->models[k] = *models[k];
            e->cost[k] = nc__get_le(file + 32 + 8 * k, 8);
        }
        nc_tir_model_destroy(models[k]);
    }
    nc__free(NULL, file, bytes + 1);
    return status;
}

/* >>trainer ======================================================================== */

/* Collects blocks while programs are compiled, evolves the weights on a thread of its own
 * afterwards, and keeps what also helps on blocks it was not evolved on. */
#if (defined(__unix__) || defined(__APPLE__)) && !defined(NC_TIR_NO_THREADS)
#define NC_TIR__THREADS 1
#else
#define NC_TIR__THREADS 0
#endif

struct nc_tir_trainer {
    nc_tir_model *model;    /* what compilations use */
    nc_tir_model *promoted; /* better weights, taken over when the thread has ended; or null */
    nc_tir_evolution *batch;
    char path[4096];
    uint64_t seed;
    uint32_t generations, promotions;
    nc_status status;
    volatile int stop;
    int running;
#if NC_TIR__THREADS
    pthread_t thread;
#endif
};

/* "~/.trident/neural/weights.bin", its folders made; NC_ERR_IO without a home. */
static nc_status nc_tir__default_path(char *path, size_t room, nc_error *err) {
#if NC_TIR__THREADS
    const char *home = getenv("HOME");
    if (!home || !*home || strlen(home) + 32 > room)
        return nc__fail(err, NC_ERR_IO, 0, 0, "no home folder for the weights");
    snprintf(path, room, "%s/.trident", home);
    (void)mkdir(path, 0755);
    snprintf(path, room, "%s/.trident/neural", home);
    (void)mkdir(path, 0755);
    snprintf(path, room, "%s/.trident/neural/weights.bin", home);
    return NC_OK;
#else
    (void)path;
    (void)room;
    return nc__fail(err, NC_ERR_UNSUPPORTED, 0, 0, "no default place for weights here");
#endif
}

NC_API nc_status nc_tir_trainer_create(nc_tir_trainer **trainer, const char *path,
                                       const nc_tir_model *start, uint64_t seed, nc_error *err) {
    nc_tir_trainer *t;
    nc_status status = NC_OK;
    FILE *file;
    nc__clear(err);
    if (!trainer || !start) return nc__fail(err, NC_ERR_ARG, 0, 0, "no trainer or no weights");
    *trainer = NULL;
    t = (nc_tir_trainer *)nc__calloc(NULL, sizeof *t);
    if (!t) return nc__fail(err, NC_ERR_MEMORY, 0, 0, "out of memory");
    t->seed = seed;
    if (!path)
        status = nc_tir__default_path(t->path, sizeof t->path, err);
    else if (strlen(path) >= sizeof t->path)
        status = nc__fail(err, NC_ERR_ARG, 0, 0, "path is too long");
    else
        memcpy(t->path, path, strlen(path) + 1);
    file = status == NC_OK ? fopen(t->path, "rb") : NULL;
    if (file) {
        fclose(file);
        status = nc_tir_model_load(&t->model, t->path, err);
    } else if (status == NC_OK) {
        status = nc_tir_model_copy(&t->model, start);
        if (status != NC_OK) nc__fail(err, status, 0, 0, "out of memory");
    }
    if (status == NC_OK) {
        status = nc_tir_evolution_create(&t->batch, t->model, seed);
        if (status != NC_OK) nc__fail(err, status, 0, 0, "out of memory");
    }
    if (status != NC_OK)
        nc_tir_trainer_destroy(t);
    else
        *trainer = t;
    return status;
}

NC_API const nc_tir_model *nc_tir_trainer_model(const nc_tir_trainer *t) { return t->model; }

NC_API uint32_t nc_tir_trainer_promotions(const nc_tir_trainer *t) { return t->promotions; }

NC_API nc_status nc_tir_trainer_collect(nc_tir_trainer *t, const char *tasm, nc_error *err) {
    if (!t || t->running) return nc__fail(err, NC_ERR_ARG, 0, 0, "no trainer, or it is training");
    return nc_tir_evolution_add(t->batch, tasm, err);
}

#if NC_TIR__THREADS
/* Evolve on the even blocks; promote what is better on the odd ones. */
static void nc_tir__train(nc_tir_trainer *t) {
    nc_tir_evolution *e = t->batch;
    nc_tir_model *pair[2];
    uint64_t cost[2];
    uint32_t i;
    t->status = stbds_arrlenu(e->exercises) < 2 ? NC_ERR_CANCELLED : NC_OK;
    for (i = 0; i < t->generations && t->status == NC_OK && !t->stop; i++)
        t->status = nc_tir__generation(e, 2);
    if (t->status != NC_OK || t->stop) return;
    pair[0] = t->model;
    pair[1] = e->models[0];
    t->status = nc_tir__score_models(e, pair, 2, 1, 2, cost);
    if (t->status != NC_OK || cost[1] >= cost[0]) return;
    t->status = nc_tir_model_copy(&t->promoted, e->models[0]);
    if (t->status == NC_OK) t->status = nc_tir_model_save(t->promoted, t->path, NULL);
}

static void *nc_tir__train_thread(void *user) {
    nc_tir__train((nc_tir_trainer *)user);
    return NULL;
}
#endif

NC_API nc_status nc_tir_trainer_start(nc_tir_trainer *t, uint32_t generations, nc_error *err) {
    nc__clear(err);
    if (!t || t->running) return nc__fail(err, NC_ERR_ARG, 0, 0, "no trainer, or it is training");
#if NC_TIR__THREADS
    t->generations = generations ? generations : 20;
    t->stop = 0;
    t->batch->stop = &t->stop;
    if (pthread_create(&t->thread, NULL, nc_tir__train_thread, t) != 0)
        return nc__fail(err, NC_ERR_UNSUPPORTED, 0, 0, "no thread to be had");
    t->running = 1;
    return NC_OK;
#else
    (void)generations;
    return nc__fail(err, NC_ERR_UNSUPPORTED, 0, 0, "no threads in this build");
#endif
}

/* Join the thread, after its work or as soon as it looks; take over better weights. */
static nc_status nc_tir__join(nc_tir_trainer *t, int stop) {
    if (!t->running) return NC_OK;
    if (stop) t->stop = 1;
#if NC_TIR__THREADS
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

NC_API nc_status nc_tir_trainer_wait(nc_tir_trainer *t) {
    return t ? nc_tir__join(t, 0) : NC_ERR_ARG;
}

NC_API nc_status nc_tir_trainer_stop(nc_tir_trainer *t) {
    return t ? nc_tir__join(t, 1) : NC_ERR_ARG;
}

NC_API void nc_tir_trainer_destroy(nc_tir_trainer *t) {
    if (!t) return;
    (void)nc_tir__join(t, 1);
    nc_tir_evolution_destroy(t->batch);
    nc_tir_model_destroy(t->model);
    nc__free(NULL, t, sizeof *t);
}
#endif

#ifdef NC_GPU
/* >>gpu ============================================================================ */

enum { NC_TIR__NODE_WORDS = 8 }; /* of a node, as shaders/tir_forward.comp reads them */

struct nc_tir_gpu {
    nc_gpu *device;
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

NC_API void nc_tir_gpu_close(nc_tir_gpu *gpu) { nc__free(NULL, gpu, sizeof *gpu); }

/* Eight words for each node: six rows of the embedding, the nodes it attends to, 1 if it exists. */
static void nc_tir__gpu_nodes(const nc_gl *words, uint32_t *nodes) {
    uint32_t n = nc_tir__node_count(words), i;
    memset(nodes, 0, NC_TIR_BLOCK_NODES * NC_TIR__NODE_WORDS * sizeof *nodes);
    for (i = 0; i < n; i++, nodes += NC_TIR__NODE_WORDS) {
        nc_tir__node_rows(words, i, nodes);
        nodes[6] = nc_tir__attended(words, n, i);
        nodes[7] = 1;
    }
}

NC_API nc_status nc_tir_gpu_forward(nc_tir_gpu *gpu, const nc_tir_model *const *models,
                                    size_t count, const nc_gl *words, size_t blocks,
                                    nc_fixed *latents) {
    const size_t node_bytes = blocks * NC_TIR_BLOCK_NODES * NC_TIR__NODE_WORDS * sizeof(uint32_t);
    const size_t weight_bytes = count * NC_TIR__PARAMETERS * sizeof(int32_t);
    const size_t cells = count * blocks * NC_TIR__LATENTS, latent_bytes = cells * sizeof(int32_t);
    const uint32_t push[2] = {NC_TIR__PARAMETERS, NC_TIR__P_NODES};
    nc_gpu_buffer *result;
    nc_gpu_job job;
    uint32_t *nodes;
    int32_t *weights, *out;
    nc_status status;
    size_t i, k;
    if (!gpu || !models || !words || !latents) return NC_ERR_ARG;
    if (count == 0 || blocks == 0) return NC_OK;
    if (count > 65535 || blocks > 65535 || count * blocks >> 17)
        return NC_ERR_LIMIT; /* 3 GiB of scratch */
    for (i = 0; i < count; i++)
        if (!models[i]) return NC_ERR_ARG;
    for (i = 0; i < blocks; i++)
        if (nc_tir__check_words(words + i * NC_TIR_BLOCK_WORDS) < 0) return NC_ERR_FORMAT;
    nodes = (uint32_t *)nc__alloc(NULL, node_bytes);
    weights = (int32_t *)nc__alloc(NULL, weight_bytes);
    out = (int32_t *)nc__alloc(NULL, latent_bytes);
    nc_gpu_job_start(&job, gpu->device);
    if (!nodes || !weights || !out) job.status = NC_ERR_MEMORY;
    for (i = 0; job.status == NC_OK && i < blocks; i++)
        nc_tir__gpu_nodes(words + i * NC_TIR_BLOCK_WORDS,
                          nodes + i * NC_TIR_BLOCK_NODES * NC_TIR__NODE_WORDS);
    for (i = 0; job.status == NC_OK && i < count; i++)
        for (k = 0; k < NC_TIR__PARAMETERS; k++)
            weights[i * NC_TIR__PARAMETERS + k] = (int32_t)nc_gl_to_i64(models[i]->w[k]);
    (void)nc_gpu_job_buffer(&job, weights, weight_bytes, weight_bytes);
    (void)nc_gpu_job_buffer(&job, nodes, node_bytes, node_bytes);
    (void)nc_gpu_job_buffer(&job, NULL, 0, 3 * latent_bytes); /* queries, keys, values */
    result = nc_gpu_job_buffer(&job, NULL, 0, latent_bytes);
    nc_gpu_job_dispatch(&job, "tir_forward", NULL, 4, push, sizeof push, blocks, count, 1);
    status = nc_gpu_job_finish(&job, result, 0, out, latent_bytes);
    for (i = 0; status == NC_OK && i < cells; i++) latents[i] = nc_gl_from_i64(out[i]);
    nc__free(NULL, nodes, node_bytes);
    nc__free(NULL, weights, weight_bytes);
    nc__free(NULL, out, latent_bytes);
    return status;
}

NC_API void nc_tir_evolution_use_gpu(nc_tir_evolution *e, nc_tir_gpu *gpu) { e->gpu = gpu; }

/* Latents of the whole batch under each model. */
static nc_status nc_tir__gpu_latents(const nc_tir_evolution *e, nc_tir_model *const *models,
                                     uint32_t count, nc_fixed **latents) {
    const size_t blocks = stbds_arrlenu(e->exercises);
    const size_t words_bytes = blocks * NC_TIR_BLOCK_WORDS * sizeof(nc_gl);
    const nc_tir_model *list[NC_TIR__POPULATION];
    nc_gl *words = (nc_gl *)nc__alloc(NULL, words_bytes);
    nc_status status = NC_ERR_MEMORY;
    size_t i;
    *latents = (nc_fixed *)nc__alloc(NULL, count * blocks * NC_TIR__LATENTS * sizeof **latents);
    if (words && *latents) {
        for (i = 0; i < blocks; i++)
            nc_tir__encode(e->code + e->exercises[i].first, e->exercises[i].count,
                           words + i * NC_TIR_BLOCK_WORDS);
        for (i = 0; i < count; i++) list[i] = models[i];
        status = nc_tir_gpu_forward(e->gpu, list, count, words, blocks, *latents);
    }
    nc__free(NULL, words, words_bytes);
    if (status != NC_OK) {
        nc__free(NULL, *latents, 0);
        *latents = NULL;
    }
    return status;
}
#endif /* NC_GPU */

/* >>public ========================================================================= */

NC_API uint64_t nc_tir_padded(uint64_t height) {
    uint64_t p = 1;
    while (p < height && p < UINT64_C(1) << 63) p *= 2;
    return p;
}

NC_API uint64_t nc_tir_tallest(const nc_tir_heights *h, const char **table) {
    const uint64_t height[6] = {h->processor, h->hash, h->u32, h->op_stack, h->ram, h->jump_stack};
    static const char *const name[6] = {"processor", "hash", "u32",
                                        "op_stack",  "ram",  "jump_stack"};
    int i, best = 0;
    for (i = 1; i < 6; i++)
        if (height[i] > height[best]) best = i;
    if (table) *table = name[best];
    return height[best];
}

NC_API nc_status nc_tir_profile_static(const char *tasm, nc_tir_heights *heights, nc_error *err) {
    nc_tir__code code;
    nc_status status;
    if (!heights) return nc__fail(err, NC_ERR_ARG, 0, 0, "no heights");
    status = nc_tir__read_tasm(tasm, 0, &code, err);
    nc_tir__sum_rows(heights, code.list, status == NC_OK ? stbds_arrlenu(code.list) : 0);
    nc_tir__code_free(&code);
    return status;
}

NC_API nc_status nc_tir_count(const char *tasm, uint32_t *instructions, nc_error *err) {
    nc_tir__code code;
    nc_status status;
    if (!instructions) return nc__fail(err, NC_ERR_ARG, 0, 0, "no counter");
    status = nc_tir__read_tasm(tasm, 0, &code, err);
    *instructions = status == NC_OK ? (uint32_t)stbds_arrlenu(code.list) : 0;
    nc_tir__code_free(&code);
    return status;
}

/* A body whose code comes after the function that branches to it. */
typedef struct nc_tir__deferred {
    uint32_t first, count, number;
    uint8_t kind; /* 0: then of if_else, 1: else, 2: then of if_only */
} nc_tir__deferred;

/* Lowering writes straight-line instructions to `pending`; at every boundary they are optimised
 * when asked for, and printed. */
typedef struct nc_tir__emitter {
    const nc_tir_program *program;
    char *text;              /* stb_ds array */
    nc_tir__tasm *pending;   /* stb_ds array */
    nc_tir__deferred *queue; /* stb_ds array */
    size_t queue_done;
    nc_tir_target target;
    int impossible; /* a stack index that the target does not have */
    uint32_t counter;
} nc_tir__emitter;

static void nc_tir__flush(nc_tir__emitter *e) {
    size_t i;
    if (stbds_arrlenu(e->pending) == 0) return;
    for (i = 0; i < stbds_arrlenu(e->pending); i++)
        nc_tir__print_instruction(&e->text, &e->pending[i]);
    NC_TIR__CLEAR(e->pending);
}

static void nc_tir__emit(nc_tir__emitter *e, uint32_t op, uint64_t arg) {
    size_t n = stbds_arrlenu(e->pending);
    nc_tir__tasm t;
    if (e->target == NC_TIR_TARGET_TRITON) {
        if (nc_tir__table[op].arg == NC_TIR__INDEX && arg > 15) e->impossible = 1;
        if (op == NC_TIR__I_ADD && n && e->pending[n - 1].op == NC_TIR__I_PUSH) {
            e->pending[n - 1].op = NC_TIR__I_ADDI;
            return;
        }
    }
    t.op = op;
    t.arg = arg;
    t.line = 0;
    stbds_arrput(e->pending, t);
}

/* A line of text at a boundary: flush, then prefix, text, suffix. */
static void nc_tir__line(nc_tir__emitter *e, const char *prefix, const char *text,
                         const char *suffix) {
    nc_tir__flush(e);
    nc_tir__print(&e->text, prefix);
    nc_tir__print(&e->text, text);
    nc_tir__print(&e->text, suffix);
}

/* "prefix" followed by a number and "suffix". */
static void nc_tir__numbered(nc_tir__emitter *e, const char *prefix, uint32_t number,
                             const char *suffix) {
    nc_tir__line(e, prefix, "", "");
    nc_tir__print_value(&e->text, number);
    nc_tir__print(&e->text, suffix);
}

/* Labels get two underscores unless they already have them or name another module. */
static const char *nc_tir__prefix(const char *label) {
    return *label == '@' || (label[0] == '_' && label[1] == '_') ? "" : "__";
}

static void nc_tir__defer(nc_tir__emitter *e, uint32_t first, uint32_t count, uint32_t number,
                          int kind) {
    nc_tir__deferred d;
    d.first = first;
    d.count = count;
    d.number = number;
    d.kind = (uint8_t)kind;
    stbds_arrput(e->queue, d);
}

/* Operations that the present Triton VM does not have, in those that it has; 0 for others.
 * or: a + b - (a and b). Dot steps: read both operands, multiply, add to the accumulator, with the
 * pointers on top of it moved on. */
static int nc_tir__lower_modern(nc_tir__emitter *e, const nc_tir__op *op) {
    static const uint8_t either[] = {NC_TIR__I_DUP, 1, NC_TIR__I_DUP, 1, NC_TIR__I_AND, 0};
    static const uint8_t ext[] = {NC_TIR__I_ADDI, 2, NC_TIR__I_READ_MEM, 3, NC_TIR__I_ADDI,     4,
                                  NC_TIR__I_SWAP, 4, NC_TIR__I_ADDI,     2, NC_TIR__I_READ_MEM, 3,
                                  NC_TIR__I_ADDI, 4, NC_TIR__I_PLACE,    6, NC_TIR__I_XX_MUL,   0};
    static const uint8_t base[] = {
        NC_TIR__I_READ_MEM, 1, NC_TIR__I_ADDI,     2, NC_TIR__I_SWAP,   2,
        NC_TIR__I_ADDI,     2, NC_TIR__I_READ_MEM, 3, NC_TIR__I_ADDI,   4,
        NC_TIR__I_PLACE,    4, NC_TIR__I_PICK,     3, NC_TIR__I_XB_MUL, 0};
    static const uint8_t sum[] = {NC_TIR__I_PICK,   7, NC_TIR__I_PICK, 7, NC_TIR__I_PICK, 7,
                                  NC_TIR__I_XX_ADD, 0, NC_TIR__I_PICK, 3, NC_TIR__I_PICK, 4};
    const uint8_t *code = op->kind == NC_TIR_OR ? either : op->kind == NC_TIR_FOLD_EXT ? ext : base;
    size_t n = op->kind == NC_TIR_OR ? sizeof either : sizeof ext, i;
    if (op->kind != NC_TIR_OR && op->kind != NC_TIR_FOLD_EXT && op->kind != NC_TIR_FOLD_BASE)
        return 0;
    for (i = 0; i < n; i += 2) nc_tir__emit(e, code[i], code[i + 1]);
    if (op->kind == NC_TIR_OR) {
        nc_tir__emit(e, NC_TIR__I_PUSH, NC_GL_P - 1);
        nc_tir__emit(e, NC_TIR__I_MUL, 0);
        nc_tir__emit(e, NC_TIR__I_ADD, 0);
        nc_tir__emit(e, NC_TIR__I_ADD, 0);
    } else {
        for (i = 0; i < sizeof sum; i += 2) nc_tir__emit(e, sum[i], sum[i + 1]);
    }
    return 1;
}

/* TIR operations that lower to one instruction of the same arguments. */
static int nc_tir__direct(int kind) {
    switch (kind) {
    case NC_TIR_PUSH: return NC_TIR__I_PUSH;
    case NC_TIR_POP: return NC_TIR__I_POP;
    case NC_TIR_DUP: return NC_TIR__I_DUP;
    case NC_TIR_SWAP: return NC_TIR__I_SWAP;
    case NC_TIR_ADD: return NC_TIR__I_ADD;
    case NC_TIR_MUL: return NC_TIR__I_MUL;
    case NC_TIR_INVERT: return NC_TIR__I_INVERT;
    case NC_TIR_EQ: return NC_TIR__I_EQ;
    case NC_TIR_LT: return NC_TIR__I_LT;
    case NC_TIR_AND: return NC_TIR__I_AND;
    case NC_TIR_OR: return NC_TIR__I_OR;
    case NC_TIR_XOR: return NC_TIR__I_XOR;
    case NC_TIR_POP_COUNT: return NC_TIR__I_POP_COUNT;
    case NC_TIR_SPLIT: return NC_TIR__I_SPLIT;
    case NC_TIR_DIV_MOD: return NC_TIR__I_DIV_MOD;
    case NC_TIR_LOG2: return NC_TIR__I_LOG2;
    case NC_TIR_POW: return NC_TIR__I_POW;
    case NC_TIR_READ_IO: return NC_TIR__I_READ_IO;
    case NC_TIR_WRITE_IO: return NC_TIR__I_WRITE_IO;
    case NC_TIR_READ_MEM: return NC_TIR__I_READ_MEM;
    case NC_TIR_WRITE_MEM: return NC_TIR__I_WRITE_MEM;
    case NC_TIR_HINT: return NC_TIR__I_DIVINE;
    case NC_TIR_HASH: return NC_TIR__I_HASH;
    case NC_TIR_SPONGE_INIT: return NC_TIR__I_SPONGE_INIT;
    case NC_TIR_SPONGE_ABSORB: return NC_TIR__I_SPONGE_ABSORB;
    case NC_TIR_SPONGE_SQUEEZE: return NC_TIR__I_SPONGE_SQUEEZE;
    case NC_TIR_SPONGE_LOAD: return NC_TIR__I_SPONGE_ABSORB_MEM;
    case NC_TIR_MERKLE_STEP: return NC_TIR__I_MERKLE_STEP;
    case NC_TIR_MERKLE_LOAD: return NC_TIR__I_MERKLE_STEP_MEM;
    case NC_TIR_EXT_MUL: return NC_TIR__I_XB_MUL;
    case NC_TIR_EXT_INVERT: return NC_TIR__I_X_INVERT;
    case NC_TIR_FOLD_EXT: return NC_TIR__I_XX_DOT;
    case NC_TIR_FOLD_BASE: return NC_TIR__I_XB_DOT;
    default: return -1;
    }
}

/* Straight-line operations that lower to several instructions. */
static void nc_tir__lower_compound(nc_tir__emitter *e, const nc_tir__op *op) {
    uint32_t i;
    switch (op->kind) {
    case NC_TIR_SUB:
        nc_tir__emit(e, NC_TIR__I_PUSH, NC_GL_P - 1);
        nc_tir__emit(e, NC_TIR__I_MUL, 0);
        nc_tir__emit(e, NC_TIR__I_ADD, 0);
        break;
    case NC_TIR_NEG:
        nc_tir__emit(e, NC_TIR__I_PUSH, NC_GL_P - 1);
        nc_tir__emit(e, NC_TIR__I_MUL, 0);
        break;
    case NC_TIR_SHL:
        nc_tir__emit(e, NC_TIR__I_PUSH, 2);
        nc_tir__emit(e, NC_TIR__I_POW, 0);
        nc_tir__emit(e, NC_TIR__I_MUL, 0);
        break;
    case NC_TIR_SHR:
        nc_tir__emit(e, NC_TIR__I_PUSH, 2);
        nc_tir__emit(e, NC_TIR__I_POW, 0);
        nc_tir__emit(e, NC_TIR__I_DIV_MOD, 0);
        nc_tir__emit(e, NC_TIR__I_SWAP, 1);
        nc_tir__emit(e, NC_TIR__I_POP, 1);
        break;
    case NC_TIR_ASSERT:
        nc_tir__emit(e, op->value == 1 ? NC_TIR__I_ASSERT : NC_TIR__I_ASSERT_VECTOR, 0);
        break;
    case NC_TIR_REVEAL:
        nc_tir__emit(e, NC_TIR__I_PUSH, op->value);
        for (i = 0; i <= op->fields; i++) nc_tir__emit(e, NC_TIR__I_WRITE_IO, 1);
        break;
    case NC_TIR_SEAL:
        for (i = op->fields; i < 9; i++) nc_tir__emit(e, NC_TIR__I_PUSH, 0);
        nc_tir__emit(e, NC_TIR__I_PUSH, op->value);
        nc_tir__emit(e, NC_TIR__I_HASH, 0);
        nc_tir__emit(e, NC_TIR__I_WRITE_IO, 5);
        break;
    case NC_TIR_RAM_READ:
        nc_tir__emit(e, NC_TIR__I_READ_MEM, op->value);
        nc_tir__emit(e, NC_TIR__I_POP, 1);
        break;
    default: /* ram_write */
        nc_tir__emit(e, NC_TIR__I_WRITE_MEM, op->value);
        nc_tir__emit(e, NC_TIR__I_POP, 1);
        break;
    }
}

static void nc_tir__lower_range(nc_tir__emitter *e, uint32_t first, uint32_t count);

/* Bodies deferred while a function was lowered, breadth first. */
static void nc_tir__lower_deferred(nc_tir__emitter *e) {
    while (e->queue_done < stbds_arrlenu(e->queue)) {
        nc_tir__deferred d = e->queue[e->queue_done++];
        nc_tir__numbered(e, d.kind == 1 ? "__else__" : "__then__", d.number, ":\n");
        if (d.kind == 0) nc_tir__emit(e, NC_TIR__I_POP, 1);
        nc_tir__lower_range(e, d.first, d.count);
        if (d.kind == 0) nc_tir__emit(e, NC_TIR__I_PUSH, 0);
        nc_tir__line(e, "    return\n\n", "", "");
    }
}

/* Structure: everything that ends a block. `at` is the operation's index. */
static void nc_tir__lower_structure(nc_tir__emitter *e, const nc_tir__op *op, uint32_t at) {
    const char *text = e->program->arena + op->text;
    uint32_t then_number;
    switch (op->kind) {
    case NC_TIR_CALL:
        nc_tir__line(e, "    call ", nc_tir__prefix(text), text);
        nc_tir__print(&e->text, "\n");
        break;
    case NC_TIR_RETURN: nc_tir__line(e, "    return\n", "", ""); break;
    case NC_TIR_HALT: nc_tir__line(e, "    halt\n", "", ""); break;
    case NC_TIR_IF_ELSE:
        then_number = ++e->counter;
        e->counter++;
        nc_tir__emit(e, NC_TIR__I_PUSH, 1);
        nc_tir__emit(e, NC_TIR__I_SWAP, 1);
        nc_tir__numbered(e, "    skiz\n    call __then__", then_number, "\n");
        nc_tir__numbered(e, "    skiz\n    call __else__", e->counter, "\n");
        nc_tir__defer(e, at + 1, op->body, then_number, 0);
        nc_tir__defer(e, at + 1 + op->body, op->other, then_number + 1, 1);
        break;
    case NC_TIR_IF_ONLY:
        nc_tir__numbered(e, "    skiz\n    call __then__", ++e->counter, "\n");
        nc_tir__defer(e, at + 1, op->body, e->counter, 2);
        break;
    case NC_TIR_LOOP:
        nc_tir__line(e, nc_tir__prefix(text), text, ":\n");
        nc_tir__print(&e->text, "    dup 0\n    push 0\n    eq\n    skiz\n    return\n");
        nc_tir__emit(e, NC_TIR__I_PUSH, NC_GL_P - 1);
        nc_tir__emit(e, NC_TIR__I_ADD, 0);
        nc_tir__lower_range(e, at + 1, op->body);
        nc_tir__line(e, "    recurse\n\n", "", "");
        break;
    case NC_TIR_FN_START: nc_tir__line(e, nc_tir__prefix(text), text, ":\n"); break;
    case NC_TIR_FN_END:
        nc_tir__line(e, "    \n", "", "");
        nc_tir__lower_deferred(e);
        break;
    case NC_TIR_ENTRY:
        nc_tir__line(e, "    call ", nc_tir__prefix(text), text);
        nc_tir__print(&e->text, "\n    halt\n\n");
        break;
    case NC_TIR_COMMENT: nc_tir__line(e, "    // ", text, "\n"); break;
    case NC_TIR_ASM:
        for (; *text; text += strcspn(text, "\n") + 1) {
            size_t n = strcspn(text, "\n") + 1;
            nc_tir__line(e, "    ", "", "");
            memcpy(stbds_arraddnptr(e->text, n), text, n);
        }
        break;
    default: /* proof_block */
        nc_tir__line(e, "    // proof_block ", text, "\n");
        nc_tir__lower_range(e, at + 1, op->body);
        nc_tir__line(e, "    // end proof_block\n", "", "");
        break;
    }
}

static void nc_tir__lower_range(nc_tir__emitter *e, uint32_t first, uint32_t count) {
    uint32_t i = first;
    while (i < first + count) {
        const nc_tir__op *op = &e->program->ops[i];
        int direct = nc_tir__direct(op->kind);
        if (op->kind <= NC_TIR_ASM || op->kind == NC_TIR_PROOF_BLOCK) {
            nc_tir__lower_structure(e, op, i);
        } else {
            if (e->target == NC_TIR_TARGET_TRITON && nc_tir__lower_modern(e, op)) {
            } else if (direct < 0)
                nc_tir__lower_compound(e, op);
            else if (nc_tir__table[direct].arg != NC_TIR__NO_ARG)
                nc_tir__emit(e, (uint32_t)direct, op->value);
            else
                nc_tir__emit(e, (uint32_t)direct, 0);
        }
        i += 1 + op->body + op->other;
    }
}

static nc_status nc_tir__lower_all(nc_tir__emitter *e, char **tasm) {
    nc_tir__lower_range(e, 0, (uint32_t)stbds_arrlenu(e->program->ops));
    nc_tir__flush(e);
    nc_tir__lower_deferred(e);
    stbds_arrfree(e->pending);
    stbds_arrfree(e->queue);
    return nc_tir__deliver(&e->text, tasm);
}

NC_API nc_status nc_tir_lower(const nc_tir_program *program, nc_tir_target target, char **tasm) {
    nc_tir__emitter e;
    nc_status status;
    if (!tasm) return NC_ERR_ARG;
    *tasm = NULL;
    if (!program || stbds_arrlenu(program->open) || (unsigned)target > NC_TIR_TARGET_TRITON)
        return NC_ERR_ARG;
    memset(&e, 0, sizeof e);
    e.program = program;
    e.target = target;
    status = nc_tir__lower_all(&e, tasm);
    if (status != NC_OK || !e.impossible) return status;
    nc_tir_free_text(*tasm);
    *tasm = NULL;
    return NC_ERR_UNSUPPORTED;
}

static void nc_tir__optimizer_free(nc_tir__optimizer *o) {
    size_t i;
    for (i = 0; i < stbds_arrlenu(o->regions); i++) {
        stbds_arrfree(o->regions[i].labels);
        stbds_arrfree(o->regions[i].code);
    }
    if (o->home) nc__free(NULL, o->home, (stbds_shlenu(o->code.labels) + 1) * sizeof *o->home);
    stbds_arrfree(o->regions);
    stbds_arrfree(o->answers);
    nc_tir__map_free(&o->memory);
    nc_tir__code_free(&o->code);
    nc_tir__prover_free(o->prover);
}

NC_API nc_status nc_tir_optimize_tasm(const char *tasm, const nc_tir_options *options,
                                      char **optimized, nc_tir_report *report, nc_error *err) {
    nc_tir_options defaults;
    nc_tir__optimizer o;
    char *text = NULL;
    nc_status status;
    size_t i;
    nc__clear(err);
    if (!optimized) return nc__fail(err, NC_ERR_ARG, 0, 0, "no result pointer");
    *optimized = NULL;
    memset(&o, 0, sizeof o);
    o.beam = options && options->beam ? options->beam : 32;
    o.block = options && options->block ? options->block : 32;
    memset(&defaults, 0, sizeof defaults);
    o.options = options ? options : &defaults;
    if (o.beam > 65536 || o.block > 64)
        return nc__fail(err, NC_ERR_ARG, 0, 0, "beam above 65,536 or blocks above 64 instructions");
    status = nc_tir__read_tasm(tasm, 0, &o.code, err);
    if (status == NC_OK) {
        o.total = stbds_arrlenu(o.code.list);
        o.report.instructions_before = (uint32_t)o.total;
        nc_tir__sum_rows(&o.report.before, o.code.list, o.total);
        o.prover = nc_tir__prover_new(o.options->model, o.options->guide ? o.options->guide : 4);
        status = o.prover ? nc_tir__divide(&o) : NC_ERR_MEMORY;
        if (status != NC_OK) nc__fail(err, status, 0, 0, "out of memory");
    }
    if (status == NC_OK) {
        for (i = 0; i < stbds_arrlenu(o.regions); i++) nc_tir__improve_region(&o, &o.regions[i]);
        o.restructuring = 1;
        nc_tir__restructure(&o);
        if (o.cancelled)
            status = nc__fail(err, NC_ERR_CANCELLED, 0, 0, "cancelled by the progress callback");
    }
    if (status == NC_OK) {
        nc_tir__print_regions(&o, &text);
        status = nc_tir__deliver(&text, optimized);
        if (status != NC_OK) nc__fail(err, status, 0, 0, "out of memory");
        o.report.instructions_after = nc_tir__measure(&o, &o.report.after);
        o.report.expanded = o.prover->expanded;
    }
    if (status == NC_OK && report) *report = o.report;
    nc_tir__optimizer_free(&o);
    return status;
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
    if (status == NC_ERR_FORMAT && err)
        return nc__fail(err, status, (size_t)err->line, (size_t)err->column,
                        "verbatim asm is not TASM");
    return status;
}

NC_API nc_status nc_tir_decode(const nc_gl words[NC_TIR_BLOCK_WORDS], char **tasm) {
    char *out = NULL;
    int n, i;
    if (!words || !tasm) return NC_ERR_ARG;
    *tasm = NULL;
    n = nc_tir__check_words(words);
    if (n < 0) return NC_ERR_FORMAT;
    for (i = 0; i < n; i++) {
        nc_tir__tasm t = nc_tir__make((uint32_t)(words[4 * i] & 63) - 1, words[4 * i + 3]);
        nc_tir__print_instruction(&out, &t);
    }
    return nc_tir__deliver(&out, tasm);
}

/* "name": value, with a comma before all but the first. */
static void nc_tir__print_member(char **out, const char *name, uint64_t value) {
    nc_tir__print(out, stbds_arrlenu(*out) > 1 ? ", \"" : "\"");
    nc_tir__print(out, name);
    nc_tir__print(out, "\": ");
    nc_tir__print_value(out, value);
}

static void nc_tir__print_heights(char **out, const char *name, const nc_tir_heights *h) {
    const char *table = "";
    uint64_t tallest = nc_tir_tallest(h, &table);
    nc_tir__print(out, ", \"");
    nc_tir__print(out, name);
    nc_tir__print(out, "\": {\"processor\": ");
    nc_tir__print_value(out, h->processor);
    nc_tir__print_member(out, "hash", h->hash);
    nc_tir__print_member(out, "u32", h->u32);
    nc_tir__print_member(out, "op_stack", h->op_stack);
    nc_tir__print_member(out, "ram", h->ram);
    nc_tir__print_member(out, "jump_stack", h->jump_stack);
    nc_tir__print_member(out, "padded", nc_tir_padded(tallest));
    nc_tir__print_member(out, "cliff", nc_tir_padded(tallest) - tallest);
    nc_tir__print(out, ", \"dominant\": \"");
    nc_tir__print(out, table);
    nc_tir__print(out, "\"}");
}

NC_API nc_status nc_tir_report_json(const nc_tir_report *r, char **json) {
    char *out = NULL;
    if (!r || !json) return NC_ERR_ARG;
    nc_tir__print(&out, "{");
    nc_tir__print_member(&out, "blocks", r->blocks);
    nc_tir__print_member(&out, "slack", r->slack);
    nc_tir__print_member(&out, "improved", r->improved);
    nc_tir__print_member(&out, "proofs", r->proofs);
    nc_tir__print_member(&out, "rejected", r->rejected);
    nc_tir__print_member(&out, "instructions_before", r->instructions_before);
    nc_tir__print_member(&out, "instructions_after", r->instructions_after);
    nc_tir__print_member(&out, "instructions_bound", (uint64_t)(r->bound + 0.5));
    nc_tir__print_heights(&out, "before", &r->before);
    nc_tir__print_heights(&out, "after", &r->after);
    nc_tir__print(&out, "}\n");
    return nc_tir__deliver(&out, json);
}

NC_API nc_status nc_tir_optimize_text(const char *tir, size_t bytes, const nc_tir_options *options,
                                      char **tasm, char **json, nc_error *err) {
    nc_tir_program *program;
    nc_tir_report report;
    nc_status status;
    memset(&report, 0, sizeof report);
    nc__clear(err);
    if (json) *json = NULL;
    if (!tasm || (!tir && bytes)) return nc__fail(err, NC_ERR_ARG, 0, 0, "no text or no result");
    *tasm = NULL;
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
