/* nc_hlx.h - transformer training and inference in which the same seed gives the same bits
   version 0.1.0 - MIT or public domain, see the end of the file

   Copy this file into your project; nothing else is needed. In ONE C or C++ file:

       #define NC_IMPLEMENTATION
       #include "nc_hlx.h"

   Compile with -fopenmp for threads; with or without, with any number of threads, in portable
   C, AVX2 or AVX-512, at any optimisation level, the parameters after N steps are the same bits.
   For the GPU copy nc_gpu.h and the kernels too and define NC_GPU.

   Quick example:

       #include <stdio.h>
       #define NC_IMPLEMENTATION
       #include "nc_hlx.h"
       int main(void) {
           const char text[] = "to be or not to be, that is the question: to be or not to be";
           nc_hlx_config config = {0};
           nc_hlx_adamw adamw = {0};
           nc_hlx_loader loader;
           nc_hlx_model *model;
           nc_hlx_stats stats;
           int step;
           config.d_model = 32, config.num_heads = 2, config.num_layers = 1, config.ffn_dim = 64;
           config.max_seq_len = 8, config.batch_size = 2;
           if (nc_hlx_create(&model, &config, NULL) != NC_OK) return 1;
           nc_hlx_init_weights(model, 1);
           nc_hlx_loader_init(&loader, text, sizeof text - 1, 8, 1);
           for (step = 0; step < 20; step++)
               if (nc_hlx_train_step(model, &loader, &adamw, &stats) != NC_OK) return 1;
           printf("loss %.4f, digest %016llx\n", (double)stats.loss,
                  (unsigned long long)nc_hlx_digest(model));
           nc_hlx_destroy(model);
           return 0;
       }

   Contents (search for the tag):
     >>types     configuration, optimiser, loader, model
     >>api       numeric kernels, model, training, checkpoints, sampling, tokenizer
     >>scalar    elementary functions, reductions, reference kernels
     >>simd      gemm: packing, micro kernels, threads
     >>kernels   embedding, attention, dropout, AdamW on plain arrays
     >>model     tensors and memory of a model
     >>io        checkpoints, safetensors
     >>bpe       byte-pair encoding
     >>gpu       gemm and whole training steps on a device (NC_GPU)
     >>public    model, training, sampling
     >>changelog

   Options, defined before including:
     NC_API, NC_STATIC     how functions are declared; NC_STATIC makes all of them static
     NC_MALLOC, NC_FREE    default allocator where no nc_allocator is passed
     NC_NO_STDIO           no checkpoints, no file access
     NC_NO_SIMD            portable C only
     NC_GPU                also compile the GPU entry points (needs nc_gpu.h)

   The numeric contract, which every function here keeps:
     - float32 + - * / sqrt and explicit fma, round to nearest even, subnormals kept; nothing is
       reassociated, and the compiler may fuse nothing on its own.
     - a dot product over k is the chain c = fma(a[k], b[k], c) with k ascending.
     - a reduction to a scalar has the fixed shape of nc_hlx_sum.
     - sums over the batch axis are chains in ascending index.
   -ffast-math breaks it and is refused. */

#ifndef NC_HLX_H
#define NC_HLX_H

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

/* >>types ========================================================================== */

/* Zero in a member means its default (the "tiny" preset). Limits: d_model a multiple of
 * num_heads, every member below 2^20, batch_size * micro_batches * max_seq_len below 2^24,
 * dropout in [0, 1). */
typedef struct nc_hlx_config {
    uint32_t vocab_size;  /* 256: byte-level tokens */
    uint32_t d_model;     /* 256 */
    uint32_t num_layers;  /* 4 */
    uint32_t num_heads;   /* 4 */
    uint32_t ffn_dim;     /* 1024 */
    uint32_t max_seq_len; /* 128 */
    uint32_t batch_size;  /* 8: largest batch that fits the activation memory */
    uint32_t tied_output; /* 0: own output matrix; 1: the token embedding, transposed */
    /* A training step takes this many batches of batch_size, one after the other; 0: 1. Every
     * gradient is one chain over all rows, so that without tied_output the bits are those of one
     * batch of micro_batches * batch_size. */
    uint32_t micro_batches;
    uint32_t flash;     /* 1: nc_hlx_flash_attention (no seq^2 memory), with bits of its own */
    uint32_t recompute; /* 1: keep layer outputs only and run layers again backwards: the same bits
                           from less memory and a third more work */
    float dropout;      /* after the embedding and before each residual addition; 0: none */
    /* 1: mixed precision. Matrices and their biases, and the activations that enter or leave
     * matrix products, are rounded to bfloat16 and kept so between the passes; products, sums,
     * the residual stream, gradients, parameters and moments stay float32. Implies flash.
     * Gradients do not lose small values, so no loss scaling is needed. */
    uint32_t bf16;
} nc_hlx_config;

/* AdamW with decoupled decay (Loshchilov, Hutter 2019) and linear warm-up, cosine decay. Decay
 * applies to matrices and embeddings, not to biases and layer norms. */
typedef struct nc_hlx_adamw {
    float lr;           /* 0: 3e-4 */
    float lr_min;       /* end of the cosine; 0: 0 */
    float beta1;        /* 0: 0.9 */
    float beta2;        /* 0: 0.999 */
    float eps;          /* 0: 1e-8 */
    float weight_decay; /* 0: none */
    float clip_norm;    /* gradients are scaled to this norm when above it; 0: no clipping */
    uint32_t warmup_steps;
    uint32_t decay_steps; /* steps until lr_min, warm-up included; 0: lr stays constant */
} nc_hlx_adamw;

/* Windows of seq + 1 tokens, in a fresh order each epoch. Plain data: copy it to remember a
 * position. The tokens are not copied and must outlive the loader. */
typedef struct nc_hlx_loader {
    const uint8_t *data;  /* bytes, or little-endian integers of token_bytes bytes */
    size_t count;         /* tokens */
    uint32_t token_bytes; /* 1, 2 or 4 */
    uint32_t seq;
    uint64_t seed;
    uint64_t next; /* windows taken so far, over all epochs */
} nc_hlx_loader;

/* A file in memory: mapped where the system can (do not cut it short meanwhile), read elsewhere. */
typedef struct nc_hlx_file {
    const uint8_t *data;
    size_t bytes;
    uint8_t *memory; /* what data points to, to be released */
    int mapped;
} nc_hlx_file;

typedef struct nc_hlx_stats {
    float loss;      /* mean cross-entropy in nats per token */
    float grad_norm; /* before clipping */
    float lr;
    uint32_t reserved;
    uint64_t step; /* steps done, this one included */
} nc_hlx_stats;

/* Sampling: zero temperature takes the most likely token. */
typedef struct nc_hlx_sampling {
    float temperature;
    float top_p;    /* keep the likeliest tokens up to this probability; 0: all */
    uint32_t top_k; /* keep the k likeliest tokens; 0: all */
    uint32_t reserved;
    uint64_t seed;
} nc_hlx_sampling;

/* Parameters, gradients, moments and activations of one model. Independent of other models. */
typedef struct nc_hlx_model nc_hlx_model;

/* >>api ============================================================================ */

/* -- numeric kernels: plain row-major float32 arrays ----------------------------------- */

/* e^x, error below 2 ulp; overflow gives infinity, underflow rounds to subnormals, NaN stays.
 * exact: the same bits everywhere. */
NC_API float nc_hlx_exp(float x);
/* Natural logarithm, error below 2 ulp; 0 gives -infinity, negative values NaN. */
NC_API float nc_hlx_log(float x);
/* Hyperbolic tangent, error below 2 ulp. */
NC_API float nc_hlx_tanh(float x);

/* The fixed reduction: 32 lane sums s[j] = x[j] + x[32 + j] + ... in ascending order, then a
 * tree s[j] += s[j + 16], 8, 4, 2, 1. Beyond 4,096 values the chunk sums are reduced by the
 * same rule. Empty sums are +0. */
NC_API float nc_hlx_sum(const float *x, size_t n);
/* The same shape over the products a[i] b[i]; each lane is a chain of fma. */
NC_API float nc_hlx_dot(const float *a, const float *b, size_t n);

/* Bytes of scratch that nc_hlx_gemm and nc_hlx_linear need, with any number of threads. */
NC_API size_t nc_hlx_gemm_work_bytes(void);
/* C (m x n, row stride ldc) = op(A) op(B), or += with accumulate. op(A) is m x k: A itself, or
 * the transpose of a stored k x m matrix with trans_a; op(B) is k x n likewise. Every element
 * is one fma chain over ascending k from 0 (or from C); threads never change it. Errors: NC_ERR_ARG
 * for a null pointer, a stride smaller than a row, or too little work memory. C must not overlap A,
 * B or work. */
NC_API nc_status nc_hlx_gemm(int trans_a, int trans_b, size_t m, size_t n, size_t k, const float *a,
                             size_t lda, const float *b, size_t ldb, float *c, size_t ldc,
                             int accumulate, void *work, size_t work_bytes);
/* out (rows x n) = x (rows x k) w (k x n) + bias, then + residual (rows x n, null: none). With
 * gelu (rows x n, null: none) also gelu = gelu(out), both in the gemm's epilogue. Errors as
 * nc_hlx_gemm. */
NC_API nc_status nc_hlx_linear(float *out, float *gelu, const float *x, const float *w,
                               const float *bias, const float *residual, size_t rows, size_t k,
                               size_t n, void *work, size_t work_bytes);
/* The definition of nc_hlx_gemm, one fmaf at a time: the judge in tests. */
NC_API void nc_hlx_gemm_ref(int trans_a, int trans_b, size_t m, size_t n, size_t k, const float *a,
                            size_t lda, const float *b, size_t ldb, float *c, size_t ldc,
                            int accumulate);

/* sums[i] += chain over ascending rows of x (rows x n): the gradient of a bias. */
NC_API void nc_hlx_column_sums(float *sums, const float *x, size_t rows, size_t n);

/* out (rows x d) = token embedding + position embedding; row r has position r mod seq. */
NC_API void nc_hlx_embedding(float *out, const uint32_t *tokens, const float *wte, const float *wpe,
                             size_t rows, size_t seq, size_t d);
/* dwte, dwpe += chains over ascending rows of dout. */
NC_API void nc_hlx_embedding_backward(float *dwte, float *dwpe, const float *dout,
                                      const uint32_t *tokens, size_t rows, size_t seq, size_t d);

/* Layer norm over rows of width n: mean, then variance by a second pass, eps 1e-5; keeps mean
 * and reciprocal deviation of each row for the backward pass. */
NC_API void nc_hlx_layernorm(float *out, float *mean, float *rstd, const float *x,
                             const float *gamma, const float *beta, size_t rows, size_t n);
/* dx += gradient; dgamma, dbeta += chains over ascending rows. */
NC_API void nc_hlx_layernorm_backward(float *dx, float *dgamma, float *dbeta, const float *dout,
                                      const float *x, const float *gamma, const float *mean,
                                      const float *rstd, size_t rows, size_t n);
/* nc_hlx_layernorm with the variance as E[x^2] - E[x]^2, in one pass: it cancels where the mean
 * is large against the deviation (see tests/hlx_kernels.c) and is here only for those who must
 * match it. */
NC_API void nc_hlx_layernorm_one_pass(float *out, float *mean, float *rstd, const float *x,
                                      const float *gamma, const float *beta, size_t rows, size_t n);
/* Rows of softmax in place: maximum, exp(x - max), fixed sum, one division each. With causal,
 * row r keeps its first r + 1 entries and the rest become 0. */
NC_API void nc_hlx_softmax(float *x, size_t rows, size_t n, int causal);
/* dx = y (dy - dot(dy, y)) per row, in place of dy. */
NC_API void nc_hlx_softmax_backward(float *dy, const float *y, size_t rows, size_t n, int causal);
/* x/2 (1 + tanh(sqrt(2/pi) (x + 0.044715 x^3))). */
NC_API void nc_hlx_gelu(float *out, const float *x, size_t n);
/* dx = dout * gelu'(x); dx may be dout. */
NC_API void nc_hlx_gelu_backward(float *dx, const float *dout, const float *x, size_t n);
/* Mean cross-entropy of rows of logits and, in place of the logits, its gradient. Targets
 * >= n are ignored (no loss, zero gradient). losses[rows] is scratch. */
NC_API float nc_hlx_cross_entropy(float *logits, const uint32_t *targets, float *losses,
                                  size_t rows, size_t n);

/* Shape of multi-head attention. qkv has batch * seq rows of heads' Q, then K, then V (3 heads *
 * head_size wide, as GPT-2's c_attn gives them); outputs have rows of heads * head_size. */
typedef struct nc_hlx_heads {
    size_t batch, seq, heads, head_size;
    int causal; /* query i sees keys 0 .. i */
} nc_hlx_heads;
/* Bytes of scratch with so many threads: for nc_hlx_attention and its backward pass (flash 0), or
 * for the flash pair (1), whose scratch does not grow with seq^2. */
NC_API size_t nc_hlx_attention_work_bytes(const nc_hlx_heads *shape, int flash, uint32_t threads);
/* out = softmax(Q K^T / sqrt(head_size)) V per head; the probabilities (batch, heads, seq, seq) are
 * kept for the backward pass. Uses as many threads as work has room for. NC_ERR_ARG for null
 * pointers, empty shapes and too little work memory. */
NC_API nc_status nc_hlx_attention(float *out, float *probabilities, const float *qkv,
                                  const nc_hlx_heads *shape, void *work, size_t work_bytes);
/* dqkv (overwritten) from dout: dK and dV are chains over ascending queries, dQ over ascending
 * keys. */
NC_API nc_status nc_hlx_attention_backward(float *dqkv, const float *dout,
                                           const float *probabilities, const float *qkv,
                                           const nc_hlx_heads *shape, void *work,
                                           size_t work_bytes);
/* Attention without stored probabilities (Dao et al., FlashAttention, 2022), with bits of its own:
 * each query walks tiles of 32 keys with a running maximum m and sum l; a tile takes o <- c o + P V
 * and l <- fma(l, c, sum P), c = exp(m - m'), and at the end o / l. lse (batch, heads, seq) keeps
 * m + log l. Memory beside the outputs does not grow with seq^2. */
NC_API nc_status nc_hlx_flash_attention(float *out, float *lse, const float *qkv,
                                        const nc_hlx_heads *shape, void *work, size_t work_bytes);
/* dqkv (overwritten) from dout, with P = exp(score - lse) computed again tile by tile. */
NC_API nc_status nc_hlx_flash_attention_backward(float *dqkv, const float *dout, const float *out,
                                                 const float *lse, const float *qkv,
                                                 const nc_hlx_heads *shape, void *work,
                                                 size_t work_bytes);

/* Elements are dropped with probability rate in [0, 1), the others multiplied by 1 / (1 - rate).
 * Element i has the counter c = counter + i: word c mod 4 of Philox(seed, c / 4, stream) keeps
 * it from rate 2^32 up. The backward pass is the same call on the gradient. out may be x. */
NC_API void nc_hlx_dropout(float *out, const float *x, size_t n, uint64_t counter, float rate,
                           uint64_t seed, uint64_t stream);

/* Learning rate of a step, counted from 1. */
NC_API float nc_hlx_learning_rate(const nc_hlx_adamw *adamw, uint64_t step);
/* One step of AdamW, counted from 1, on n parameters that all decay by adamw->weight_decay:
 * g' = scale g, m <- b1 m + (1 - b1) g', v <- b2 v + (1 - b2) g'^2, p <- p - lr (mh / (sqrt(vh) +
 * eps) + decay p) with mh, vh corrected for the bias. clip_norm is not looked at. */
NC_API void nc_hlx_adamw_update(float *p, const float *g, float *m, float *v, size_t n,
                                const nc_hlx_adamw *adamw, uint64_t step, float scale);

/* To the nearest bfloat16, ties to even, by integer operations; NaN stays NaN. In place: */
NC_API void nc_hlx_bf16_round(float *x, size_t n);
/* into 16 bits: */
NC_API void nc_hlx_bf16_pack(uint16_t *out, const float *x, size_t n);
/* and back, exactly. */
NC_API void nc_hlx_bf16_unpack(float *out, const uint16_t *x, size_t n);

/* Force the instruction set of all kernels: 0 portable, 1 AVX2 + FMA, 2 AVX-512, -1 best.
 * NC_ERR_UNSUPPORTED when this machine lacks it. For tests and measurements; process-wide. */
NC_API nc_status nc_hlx_set_simd(int level);
/* The level in use. */
NC_API int nc_hlx_simd(void);

/* -- model ----------------------------------------------------------------------------- */

/* Preset by name: "demo" (0.1 M parameters), "tiny" (3.3 M), "small" (19 M), "medium" (86 M).
 * NC_ERR_ARG for other names. */
NC_API nc_status nc_hlx_preset(const char *name, nc_hlx_config *config);
/* Number of parameters, and bytes of parameters + gradients + moments + activations + scratch,
 * known before anything is allocated. NC_ERR_ARG for an impossible configuration. */
NC_API nc_status nc_hlx_footprint(const nc_hlx_config *config, uint64_t *parameters,
                                  uint64_t *bytes);
/* Allocate a model (weights zero until initialised or loaded) in two arenas, parameters with
 * gradients and moments, and activations with scratch. Checks at run time that this
 * build keeps the numeric contract: NC_ERR_UNSUPPORTED if not. Free with nc_hlx_destroy. */
NC_API nc_status nc_hlx_create(nc_hlx_model **model, const nc_hlx_config *config,
                               const nc_allocator *hooks);
/* Release; null is fine. */
NC_API void nc_hlx_destroy(nc_hlx_model *model);
/* Matrices and embeddings from a normal-like distribution of deviation 0.02 (the projections
 * into the residual stream 0.02 / sqrt(2 layers)), layer norms 1 and 0, biases 0. Resets the
 * optimiser and the step count. */
NC_API void nc_hlx_init_weights(nc_hlx_model *model, uint64_t seed);
/* The configuration with all defaults filled in. */
NC_API const nc_hlx_config *nc_hlx_get_config(const nc_hlx_model *model);
/* The optimiser's settings at the last step, as training or a checkpoint left them, defaults filled
 * in; zeros before the first step. */
NC_API const nc_hlx_adamw *nc_hlx_get_adamw(const nc_hlx_model *model);
/* Optimiser steps done since initialisation, those before a checkpoint included. */
NC_API uint64_t nc_hlx_step(const nc_hlx_model *model);
/* All parameters in checkpoint order; *count gets their number. Gradients likewise. */
NC_API float *nc_hlx_parameters(nc_hlx_model *model, size_t *count);
/* All gradients, in the order of the parameters. */
NC_API float *nc_hlx_gradients(nc_hlx_model *model, size_t *count);
/* Order-fixed 64-bit digest (FNV-1a of the little-endian bytes) of all parameters. */
NC_API uint64_t nc_hlx_digest(const nc_hlx_model *model);

/* Forward pass over tokens (batch x seq). With targets (same shape) *loss is the mean loss,
 * dropout is on and the gradient of the logits is ready for nc_hlx_backward; without,
 * nc_hlx_logits holds the logits. NC_ERR_ARG for sizes beyond the configuration or tokens
 * outside the vocabulary. */
NC_API nc_status nc_hlx_forward(nc_hlx_model *model, const uint32_t *tokens,
                                const uint32_t *targets, uint32_t batch, uint32_t seq, float *loss);
/* Logits of the last nc_hlx_forward without targets: batch x seq x vocab_size. */
NC_API const float *nc_hlx_logits(const nc_hlx_model *model);
/* Add the gradients of the last forward pass with targets. NC_ERR_ARG if there was none. */
NC_API nc_status nc_hlx_backward(nc_hlx_model *model);
/* Set all gradients to 0. */
NC_API void nc_hlx_zero_gradients(nc_hlx_model *model);
/* One optimiser step from the gradients; fills stats->grad_norm, lr and step. */
NC_API void nc_hlx_update(nc_hlx_model *model, const nc_hlx_adamw *adamw, nc_hlx_stats *stats);

/* -- training data, steps, sampling -------------------------------------------------------- */

/* A loader over bytes. NC_ERR_ARG unless count > seq > 0. */
NC_API nc_status nc_hlx_loader_init(nc_hlx_loader *loader, const void *text, size_t count,
                                    uint32_t seq, uint64_t seed);
/* A loader over little-endian tokens of 1, 2 or 4 bytes; NC_ERR_ARG for other sizes too. */
NC_API nc_status nc_hlx_loader_init_tokens(nc_hlx_loader *loader, const void *tokens, size_t count,
                                           uint32_t token_bytes, uint32_t seq, uint64_t seed);
/* Next batch x seq tokens and their successors. */
NC_API void nc_hlx_loader_next(nc_hlx_loader *loader, uint32_t *tokens, uint32_t *targets,
                               uint32_t batch);
/* One step: micro_batches times (batch from the loader, forward, backward), then the update.
 * NC_ERR_ARG for a loader longer than the model's sequences or with tokens outside its
 * vocabulary. */
NC_API nc_status nc_hlx_train_step(nc_hlx_model *model, nc_hlx_loader *loader,
                                   const nc_hlx_adamw *adamw, nc_hlx_stats *stats);
/* Mean loss over the first `windows` non-overlapping windows of the data that a loader would read,
 * for validation, without dropout; the loader's position counts for nothing. */
NC_API nc_status nc_hlx_evaluate(nc_hlx_model *model, const nc_hlx_loader *data, uint32_t windows,
                                 float *loss);
/* One token at a position after those before it, as a row of nc_hlx_forward gives: *logits
 * points to vocab_size values. The keys and values of earlier positions are those of earlier
 * calls. NC_ERR_ARG for a position or token out of range, NC_ERR_UNSUPPORTED with recompute or
 * bf16, which do not keep all keys in float32. */
NC_API nc_status nc_hlx_decode(nc_hlx_model *model, uint32_t token, uint32_t position,
                               const float **logits);
/* Continue prompt[0 .. n) by `count` tokens into out; draw i uses counter i of the seed's stream.
 * An empty prompt starts from token 10, a newline among bytes. When the context is full its older
 * half is dropped. */
NC_API nc_status nc_hlx_sample_tokens(nc_hlx_model *model, const uint32_t *prompt, size_t n,
                                      const nc_hlx_sampling *sampling, uint32_t *out, size_t count);
/* The same for a model of bytes. */
NC_API nc_status nc_hlx_sample(nc_hlx_model *model, const uint8_t *prompt, size_t prompt_bytes,
                               const nc_hlx_sampling *sampling, uint8_t *out, size_t count);

#ifndef NC_NO_STDIO
/* Open a file for reading. NC_ERR_IO with a message. Close with nc_hlx_file_close. */
NC_API nc_status nc_hlx_file_open(nc_hlx_file *file, const char *path, nc_error *err);
/* Release; a file of zeros is fine. */
NC_API void nc_hlx_file_close(nc_hlx_file *file);
/* Write parameters, moments, step, optimiser, configuration, loader position (loader may be null),
 * little-endian with a checksum, to a temporary file that replaces `path` at the end. */
NC_API nc_status nc_hlx_save(const nc_hlx_model *model, const nc_hlx_loader *loader,
                             const char *path, nc_error *err);
/* Create a model from a checkpoint; a batch_size other than 0 replaces the
 * file's. loader (may be null) gets seq, seed and position; its text is kept. Every
 * size is checked before allocation: NC_ERR_FORMAT, NC_ERR_MISMATCH (checksum), NC_ERR_LIMIT. */
NC_API nc_status nc_hlx_load(nc_hlx_model **model, nc_hlx_loader *loader, const char *path,
                             uint32_t batch_size, const nc_allocator *hooks, nc_error *err);
/* Write the parameters alone as safetensors: float32 tensors with GPT-2's names (wte.weight,
 * h.0.attn.c_attn.weight (d, 3 d), .., lm_head.weight unless tied), replacing `path` at the end. */
NC_API nc_status nc_hlx_export(const nc_hlx_model *model, const char *path, nc_error *err);
/* Read all parameters of a model from such a file, whatever the order of its tensors and with or
 * without the prefix "transformer."; the optimiser restarts. Attention masks that GPT-2 files carry
 * are passed over. NC_ERR_MISMATCH for a missing or unknown tensor or another shape,
 * NC_ERR_UNSUPPORTED for other types than F32, NC_ERR_FORMAT with the column in the header; the
 * model is unchanged on an error. */
NC_API nc_status nc_hlx_import(nc_hlx_model *model, const char *path, nc_error *err);
#endif

/* -- byte-pair encoding ------------------------------------------------------------------ */

/* A tokenizer: 256 bytes and the merges learned after them; read-only once made. */
typedef struct nc_hlx_bpe nc_hlx_bpe;
/* Learn vocab - 256 merges (256 <= vocab <= 65,536; fewer when no pair occurs twice) from a text,
 * the most frequent pair first, the smaller one among equals: the same merges everywhere. Pairs
 * stay inside words: a word starts where white space follows another byte, and is at most 64
 * bytes. progress may be null. Errors: NC_ERR_ARG, NC_ERR_MEMORY, NC_ERR_CANCELLED. */
NC_API nc_status nc_hlx_bpe_train(nc_hlx_bpe **bpe, const void *text, size_t bytes, uint32_t vocab,
                                  const nc_allocator *hooks, nc_progress_fn progress, void *user);
/* Release; null is fine. */
NC_API void nc_hlx_bpe_destroy(nc_hlx_bpe *bpe);
/* 256 and the number of merges. */
NC_API uint32_t nc_hlx_bpe_vocab(const nc_hlx_bpe *bpe);
/* Any bytes to tokens; tokens has room for one a byte. Returns their number. */
NC_API size_t nc_hlx_bpe_encode(const nc_hlx_bpe *bpe, const void *text, size_t bytes,
                                uint32_t *tokens);
/* Tokens to the bytes they came from. *written gets the length, and at most `room` bytes are
 * written, so that out may be null to ask. NC_ERR_FORMAT for a token outside the vocabulary. */
NC_API nc_status nc_hlx_bpe_decode(const nc_hlx_bpe *bpe, const uint32_t *tokens, size_t n,
                                   uint8_t *out, size_t room, size_t *written);
#ifndef NC_NO_STDIO
/* Write the merges, with a checksum, replacing `path` at the end. */
NC_API nc_status nc_hlx_bpe_save(const nc_hlx_bpe *bpe, const char *path, nc_error *err);
/* Read them; merges of tokens that do not exist yet are NC_ERR_FORMAT. */
NC_API nc_status nc_hlx_bpe_load(nc_hlx_bpe **bpe, const char *path, const nc_allocator *hooks,
                                 nc_error *err);

/* -- data sets: a file's first nine tenths to train on, the rest for validation ------------ */

typedef struct nc_hlx_data {
    nc_hlx_loader train, valid;
    size_t train_bytes, valid_bytes; /* of the file */
    nc_hlx_file file;
    uint16_t *encoded; /* with a tokenizer */
    size_t encoded_bytes;
} nc_hlx_data;
/* Map a file of text (token_bytes 1) or of little-endian tokens (2 or 4) and split it. With a
 * tokenizer both parts of a text are encoded, each on its own. seq and seed are the loaders'.
 * NC_ERR_IO, NC_ERR_ARG for a tokenizer beside tokens or another size, NC_ERR_LIMIT for a file too
 * short for one window of validation. Close with nc_hlx_data_close. */
NC_API nc_status nc_hlx_data_open(nc_hlx_data *data, const char *path, uint32_t token_bytes,
                                  const nc_hlx_bpe *bpe, uint32_t seq, uint64_t seed,
                                  nc_error *err);
/* Release; zeros are fine. */
NC_API void nc_hlx_data_close(nc_hlx_data *data);
#endif

#ifdef NC_GPU
#include "nc_gpu.h"
/* nc_hlx_gemm without strides on a device, host arrays in and out, bit-equal to the CPU.
 * Errors of the device; NC_ERR_UNSUPPORTED when it cannot keep the numeric contract. */
NC_API nc_status nc_hlx_gpu_gemm(nc_gpu *device, int trans_a, int trans_b, size_t m, size_t n,
                                 size_t k, const float *a, const float *b, float *c,
                                 int accumulate);

/* Training on a device: the bits of nc_hlx_train_step. */
typedef struct nc_hlx_gpu nc_hlx_gpu;
/* Move a model's state to a device and record its training step, at the configured batch size and
 * full sequence length, with adamw's weight decay. The model stays the caller's and must outlive
 * this; its own arrays are stale until nc_hlx_gpu_download. NC_ERR_UNSUPPORTED for widths above
 * 4,096 or a device that cannot keep the numeric contract, NC_ERR_LIMIT beyond its buffers, else
 * errors of the device. */
NC_API nc_status nc_hlx_gpu_create(nc_hlx_gpu **gpu, nc_gpu *device, nc_hlx_model *model,
                                   const nc_hlx_adamw *adamw);
/* Release; null is fine. */
NC_API void nc_hlx_gpu_destroy(nc_hlx_gpu *gpu);
/* One step as nc_hlx_train_step, with the loader's seq equal to the model's. One upload of tokens
 * and scalars, one run of the recorded program, one download of the losses. */
NC_API nc_status nc_hlx_gpu_train_step(nc_hlx_gpu *gpu, nc_hlx_loader *loader,
                                       const nc_hlx_adamw *adamw, nc_hlx_stats *stats);
/* Parameters, gradients and moments from the device to the model: before saving, evaluating or
 * sampling. */
NC_API nc_status nc_hlx_gpu_download(nc_hlx_gpu *gpu);
/* Parameters and moments from the model to the device, after the caller changed them. */
NC_API nc_status nc_hlx_gpu_upload(nc_hlx_gpu *gpu);
#endif

#endif /* NC_HLX_H */

/* ================================== implementation ==================================== */
#if defined(NC_IMPLEMENTATION) && !defined(NC_HLX_IMPLEMENTED)
#define NC_HLX_IMPLEMENTED

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

/* ==== nc index: the same block, to the letter, in every header that looks up by hash ===== */
#ifndef NC_INDEX_IMPLEMENTED
#define NC_INDEX_IMPLEMENTED
/* Ids below UINT32_MAX by their hash: open addressing, linear probing, at most three quarters full.
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
    if (4 * (x->used + 1) > 3 * x->room) {
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
    if (need > b->room) {
        const size_t room = need / 2 > b->room ? need : nc__mul_size(need, 2);
        char *larger = (char *)nc__alloc(b->hooks, room);
        if (!larger) {
            b->status = NC_ERR_MEMORY;
            return NULL;
        }
        if (b->used) memcpy(larger, b->data, b->used);
        nc__free(b->hooks, b->data, b->room);
        b->data = larger;
        b->room = room;
    }
    b->used += bytes;
    b->data[b->used] = 0;
    return b->data + b->used - bytes;
}

static NC_UNUSED void nc__buffer_put(nc__buffer *b, const void *data, size_t bytes) {
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
static NC_UNUSED void nc__buffer_real(nc__buffer *b, double value, int digits) {
    char piece[64], *at;
    (void)snprintf(piece, sizeof piece, "%.*g", digits, value);
    for (at = piece; *at; at++) {
        if (at > piece && (uint8_t)at[0] >= 128 && at[-1] == '.')
            continue; /* a point of two bytes */
        if (!strchr("+-0123456789einfa", *at)) *at = '.';
        nc__buffer_put(b, at, 1);
    }
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

/* The first failure, at the place that has been reached. */
#if defined(__GNUC__)
__attribute__((format(printf, 3, 4)))
#endif
static NC_UNUSED nc_status
nc__text_fail(nc__text *t, nc_status status, const char *format, ...) {
    char message[sizeof t->err->message];
    va_list args;
    if (t->status != NC_OK) return t->status;
    va_start(args, format);
    vsnprintf(message, sizeof message, format, args);
    va_end(args);
    t->status =
        nc__fail(t->err, status, t->line, (size_t)(t->at - t->line_start) + 1, "%s", message);
    return t->status;
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

/* Take a mark if it is next. */
static NC_UNUSED int nc__json_take(nc__text *t, char mark) {
    nc__skip_space(t);
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
        t->at += 2;
        u = 0x10000 + ((u & 1023) << 10) + (nc__json_hex(t) ^ 0xDC00);
    }
    if (u >> 11 == 0x1B || u > 0x10FFFF || u == 0)
        (void)nc__text_fail(t, NC_ERR_FORMAT, "a character that is none");
    if (t->status != NC_OK) return 0;
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
    nc__skip_space(t);
    for (start = t->at; nc__is_digit(nc__peek(t, 0)); t->at++) {
        const uint64_t digit = (uint64_t)(*t->at - '0');
        if (digit > most || value > (most - digit) / 10) {
            (void)nc__text_fail(t, NC_ERR_LIMIT, "a number above %llu", (unsigned long long)most);
            return 0;
        }
        value = 10 * value + digit;
    }
    if (t->at == start) (void)nc__text_fail(t, NC_ERR_FORMAT, "expected a natural number");
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
        nc__skip_space(t);
        if (nc__peek(t, 0) == '{' || nc__peek(t, 0) == '[') {
            if (depth == 64) {
                (void)nc__text_fail(t, NC_ERR_LIMIT, "nested more than 64 deep");
                return;
            }
            first[depth] = 1;
            close[depth++] = *t->at++ == '{' ? '}' : ']';
        } else if (nc__peek(t, 0) == '"') {
            (void)nc__json_string(t, NULL, 0);
        } else { /* a number, true, false, null */
            const char *start = t->at;
            while (nc__is_letter(nc__peek(t, 0)) || nc__is_digit(nc__peek(t, 0)) ||
                   (nc__peek(t, 0) > 0 && strchr("+-.", nc__peek(t, 0))))
                t->at++;
            if (t->at == start) (void)nc__text_fail(t, NC_ERR_FORMAT, "expected a value");
        }
    } while (depth && t->status == NC_OK);
}
#endif
/* ==== end of nc text ================================================================ */

/* ==== nc tensors: the same block, to the letter, in every header that reads tensors ====== */
#ifndef NC_TENSORS_IMPLEMENTED
#define NC_TENSORS_IMPLEMENTED
/* -- safetensors: the length of a JSON object (u64), the object, then the tensors' bytes -- */

/* A tensor of the file, or a pair of its metadata. */
typedef struct nc__item {
    char name[256]; /* of the tensor, or the pair's key */
    char text[256]; /* the pair's value; cut short where text_length says so */
    size_t text_length;
    char dtype[16];
    size_t width; /* bytes of a value; 0 for types not known here */
    uint32_t rank;
    uint64_t shape[8], count; /* count: product of the shape */
    const uint8_t *data;
    uint64_t bytes;
} nc__item;

typedef enum nc__item_kind { NC__ITEM_END, NC__ITEM_TENSOR, NC__ITEM_PAIR } nc__item_kind;

typedef struct nc__safetensors {
    nc__text t;
    const uint8_t *data;
    uint64_t bytes, placed;
    int first, first_pair, in_metadata;
} nc__safetensors;

static NC_UNUSED nc_status nc__safetensors_open(nc__safetensors *f, const void *data, size_t bytes,
                                                nc_error *err) {
    const uint8_t *file = (const uint8_t *)data;
    const uint64_t head = bytes < 8 ? 0 : nc__get_le(file, 8);
    memset(f, 0, sizeof *f);
    if (bytes < 10 || head > bytes - 8)
        return nc__fail(err, NC_ERR_FORMAT, 0, 0, "not a safetensors file");
    nc__text_open(&f->t, file + 8, (size_t)head, err);
    f->data = file + 8 + head;
    f->bytes = bytes - 8 - head;
    f->first = 1;
    nc__json_expect(&f->t, '{');
    return f->t.status;
}

static NC_UNUSED size_t nc__dtype_width(const char *dtype) {
    static const struct {
        char name[8];
        uint8_t width;
    } list[] = {{"F64", 8},  {"I64", 8},     {"U64", 8},     {"F32", 4},    {"I32", 4}, {"U32", 4},
                {"F16", 2},  {"BF16", 2},    {"I16", 2},     {"U16", 2},    {"I8", 1},  {"U8", 1},
                {"BOOL", 1}, {"F8_E4M3", 1}, {"F8_E5M2", 1}, {"F8_E8M0", 1}};
    size_t i;
    for (i = 0; i < sizeof list / sizeof *list; i++)
        if (!strcmp(dtype, list[i].name)) return list[i].width;
    return 0;
}

/* What the header says of one tensor, checked against the file. */
static NC_UNUSED void nc__safetensors_entry(nc__safetensors *f, nc__item *item) {
    nc__text *t = &f->t;
    uint64_t offset[2] = {1, 0};
    uint32_t i, parts = 0;
    int first = 1;
    nc__json_expect(t, '{');
    while (nc__json_more(t, '}', &first)) {
        char key[32];
        nc__json_key(t, key, sizeof key);
        if (!strcmp(key, "dtype")) {
            if (nc__json_string(t, item->dtype, sizeof item->dtype) >= sizeof item->dtype)
                (void)nc__text_fail(t, NC_ERR_FORMAT, "a dtype of more than 15 characters");
            parts |= 1;
        } else if (!strcmp(key, "shape")) {
            item->rank = nc__json_naturals(t, item->shape, 8);
            parts |= 2;
        } else if (!strcmp(key, "data_offsets")) {
            parts |= nc__json_naturals(t, offset, 2) == 2 ? 4u : 0u;
        } else {
            (void)nc__text_fail(t, NC_ERR_FORMAT, "expected dtype, shape or data_offsets");
        }
    }
    if (parts != 7)
        (void)nc__text_fail(t, NC_ERR_FORMAT, "'%.90s' lacks dtype, shape or data_offsets",
                            item->name);
    if (t->status != NC_OK) return;
    item->width = nc__dtype_width(item->dtype);
    for (i = 0, item->count = 1; i < item->rank; i++) {
        if (item->shape[i] && item->count > (UINT64_C(1) << 48) / item->shape[i])
            (void)nc__text_fail(t, NC_ERR_LIMIT, "'%.90s' has more than 2^48 values", item->name);
        item->count *= item->shape[i];
    }
    item->bytes = offset[1] - offset[0];
    if (offset[0] > offset[1] || offset[1] > f->bytes)
        (void)nc__text_fail(t, NC_ERR_FORMAT, "'%.90s' lies outside the file", item->name);
    else if (item->width && item->bytes != item->count * item->width)
        (void)nc__text_fail(t, NC_ERR_FORMAT, "'%.90s' has %llu bytes, not those of its shape",
                            item->name, (unsigned long long)item->bytes);
    item->data = f->data + (t->status == NC_OK ? offset[0] : 0);
    f->placed += item->bytes;
}

/* The next tensor or pair of metadata; NC__ITEM_END after the last, and after a failure, which
 * f->t.status has. Bytes that belong to no tensor, or to two, are a failure. */
static NC_UNUSED nc__item_kind nc__safetensors_next(nc__safetensors *f, nc__item *item) {
    nc__text *t = &f->t;
    memset(item, 0, sizeof *item);
    for (;;) {
        if (f->in_metadata && nc__json_more(t, '}', &f->first_pair)) {
            if (nc__json_string(t, item->name, sizeof item->name) >= sizeof item->name)
                item->name[0] = 0; /* longer than any that is looked for */
            nc__json_expect(t, ':');
            item->text_length = nc__json_string(t, item->text, sizeof item->text);
            return t->status == NC_OK ? NC__ITEM_PAIR : NC__ITEM_END;
        }
        f->in_metadata = 0;
        if (!nc__json_more(t, '}', &f->first)) break;
        nc__json_key(t, item->name, sizeof item->name);
        if (strcmp(item->name, "__metadata__") != 0) {
            nc__safetensors_entry(f, item);
            return t->status == NC_OK ? NC__ITEM_TENSOR : NC__ITEM_END;
        }
        nc__json_expect(t, '{');
        f->in_metadata = f->first_pair = 1;
    }
    nc__skip_space(t);
    if (t->status == NC_OK && t->at < t->end)
        (void)nc__text_fail(t, NC_ERR_FORMAT, "text after the header");
    else if (t->status == NC_OK && f->placed != f->bytes)
        (void)nc__text_fail(t, NC_ERR_FORMAT, "%llu bytes of tensors in %llu bytes of data",
                            (unsigned long long)f->placed, (unsigned long long)f->bytes);
    return NC__ITEM_END;
}

/* A value of a floating-point tensor; 0 for types that nc__is_float does not name. */
static NC_UNUSED int nc__is_float(const char *dtype) {
    return !strcmp(dtype, "F32") || !strcmp(dtype, "F16") || !strcmp(dtype, "BF16") ||
           !strcmp(dtype, "F64");
}

static NC_UNUSED float nc__item_float(const nc__item *item, uint64_t i) {
    const uint64_t bits = nc__get_le(item->data + i * item->width, item->width);
    uint32_t word = (uint32_t)bits;
    float value;
    if (item->width == 8) {
        double wide;
        memcpy(&wide, &bits, sizeof wide);
        return (float)wide;
    }
    if (!strcmp(item->dtype, "BF16")) {
        word <<= 16;
    } else if (!strcmp(item->dtype, "F16")) {
        const uint32_t sign = word >> 15 << 31, e = word >> 10 & 31, f = word & 1023;
        if (e == 0) {
            value = (float)f * 5.9604644775390625e-8f; /* 2^-24 */
            return sign ? -value : value;
        }
        word = sign | (e == 31 ? 255u : e + 112) << 23 | f << 13;
    }
    memcpy(&value, &word, sizeof value);
    return value;
}

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
    uint64_t bytes = nc__dtype_width(dtype);
    uint32_t i;
    nc__buffer_print(&h->b, h->tensors++ ? "," : "},");
    nc__buffer_quote(&h->b, name);
    nc__buffer_print(&h->b, ":{\"dtype\":\"%s\",\"shape\":[", dtype);
    for (i = 0; i < rank; bytes *= shape[i++])
        nc__buffer_print(&h->b, i ? ",%llu" : "%llu", (unsigned long long)shape[i]);
    h->at += bytes;
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
    char kind; /* f float, i signed, u unsigned */
    uint32_t width;
    int big_endian, fortran;
    uint32_t rank;
    uint64_t shape[8], count;
    const uint8_t *data;
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

static NC_UNUSED void nc__npy_shape(nc__text *t, nc__npy *a) {
    int first = 1;
    nc__json_expect(t, '(');
    while (nc__json_more(t, ')', &first)) {
        if (a->rank && nc__json_take(t, ')')) break; /* a comma behind the last */
        if (a->rank == 8) (void)nc__text_fail(t, NC_ERR_LIMIT, "more than eight dimensions");
        if (t->status != NC_OK) break;
        a->shape[a->rank] = nc__json_natural(t, UINT64_C(1) << 48);
        if (a->shape[a->rank] && a->count > (UINT64_C(1) << 48) / a->shape[a->rank])
            (void)nc__text_fail(t, NC_ERR_LIMIT, "more than 2^48 values");
        a->count *= a->shape[a->rank++];
    }
}

static NC_UNUSED nc_status nc__npy_open(nc__npy *a, const void *data, size_t bytes, nc_error *err) {
    const uint8_t *file = (const uint8_t *)data;
    const size_t start = bytes >= 12 && file[6] > 1 ? 12 : 10;
    char type[16] = "";
    uint64_t head;
    unsigned parts = 0;
    nc__text t;
    int first = 1;
    memset(a, 0, sizeof *a);
    a->count = 1;
    if (bytes < 12 || memcmp(file, "\x93NUMPY", 6) != 0 || file[6] < 1 || file[6] > 3)
        return nc__fail(err, NC_ERR_FORMAT, 0, 0, "not a .npy file");
    head = nc__get_le(file + 8, start - 8);
    if (head > bytes - start)
        return nc__fail(err, NC_ERR_FORMAT, 0, 0, "a header of %llu bytes does not fit",
                        (unsigned long long)head);
    nc__text_open(&t, file + start, (size_t)head, err);
    nc__json_expect(&t, '{');
    while (nc__json_more(&t, '}', &first)) {
        char key[24];
        if (nc__json_take(&t, '}')) break; /* a comma behind the last */
        nc__npy_word(&t, key, sizeof key);
        nc__json_expect(&t, ':');
        nc__skip_space(&t);
        if (!strcmp(key, "descr")) {
            nc__npy_word(&t, type, sizeof type);
            parts |= 1;
        } else if (!strcmp(key, "shape")) {
            nc__npy_shape(&t, a);
            parts |= 2;
        } else if (!strcmp(key, "fortran_order") && (nc__peek(&t, 0) | 32) == 't') {
            a->fortran = 1;
            t.at += 4;
            parts |= 4;
        } else if (!strcmp(key, "fortran_order") && (nc__peek(&t, 0) | 32) == 'f') {
            t.at += 5;
            parts |= 4;
        } else {
            (void)nc__text_fail(&t, NC_ERR_FORMAT, "expected descr, shape or fortran_order");
        }
        if (t.at > t.end) t.at = t.end;
    }
    if (parts != 7) (void)nc__text_fail(&t, NC_ERR_FORMAT, "descr, shape or order is missing");
    if (t.status != NC_OK) return t.status;
    a->kind = type[1];
    a->width = (uint32_t)(type[1] ? type[2] - '0' : 0);
    a->big_endian = type[0] == '>';
    if (!strchr("<>|=", type[0]) || !a->kind || !strchr("fiu", a->kind) || type[3] ||
        (a->width != 1 && a->width != 2 && a->width != 4 && a->width != 8))
        return nc__fail(err, NC_ERR_UNSUPPORTED, 1, 1, "values of type '%s' are not read", type);
    a->data = file + start + head;
    if (a->count > SIZE_MAX / 8 || bytes - start - (size_t)head != a->count * a->width)
        return nc__fail(err, NC_ERR_FORMAT, 0, 0, "%llu values of type '%s' in %llu bytes",
                        (unsigned long long)a->count, type,
                        (unsigned long long)(bytes - start - (size_t)head));
    return NC_OK;
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
#endif
/* ==== end of nc tensors ============================================================= */

#include <float.h>
#include <math.h>
#if !defined(NC_NO_STDIO) && (defined(__unix__) || defined(__APPLE__))
#include <sys/mman.h>
#include <sys/stat.h>
#endif
#ifdef _OPENMP
#include <omp.h>
#endif
#if !defined(NC_NO_SIMD) && defined(__GNUC__) && defined(__x86_64__)
#define NC_HLX__X86
#include <immintrin.h>
#endif

#ifdef __FAST_MATH__
#error "nc_hlx.h promises bits: compile without -ffast-math"
#endif
#if defined(FLT_EVAL_METHOD) && (FLT_EVAL_METHOD == 1 || FLT_EVAL_METHOD == 2)
#error "nc_hlx.h promises bits: float must be evaluated as float (x86: -msse2 -mfpmath=sse)"
#endif

/* a * b + c may become one fma only where this file says so. */
#if defined(__clang__)
#pragma STDC FP_CONTRACT OFF
#elif defined(__GNUC__)
#pragma GCC push_options
#pragma GCC optimize("tree-vectorize", "vect-cost-model=dynamic") /* vector code at -O2 too */
#pragma GCC optimize("fp-contract=off")
#endif

/* >>scalar ========================================================================= */

static uint32_t nc_hlx__bits(float x) {
    uint32_t u;
    memcpy(&u, &x, sizeof u);
    return u;
}

static float nc_hlx__float(uint32_t u) {
    float x;
    memcpy(&x, &u, sizeof x);
    return x;
}

#if defined(__GNUC__)
#define NC_HLX__INLINE static inline __attribute__((always_inline, unused))
#else
#define NC_HLX__INLINE static inline
#endif

static size_t nc_hlx__min(size_t a, size_t b) { return a < b ? a : b; }

static int nc_hlx__forced_level = -1;

NC_API int nc_hlx_simd(void) {
    static int best = -1; /* idempotent: every thread computes the same value */
    if (best < 0) best = nc__cpu_level();
    return nc_hlx__forced_level >= 0 ? nc_hlx__forced_level : best;
}

NC_API nc_status nc_hlx_set_simd(int level) {
    if (level < -1 || level > 2) return NC_ERR_ARG;
    if (level > nc__cpu_level()) return NC_ERR_UNSUPPORTED;
    nc_hlx__forced_level = level;
    return NC_OK;
}

/* One body, compiled for each instruction set: name(...) runs the best that is allowed. The
 * body holds no intrinsics, so every version is the same chain of IEEE operations. */
#ifdef NC_HLX__X86
#define NC_HLX__AVX2 __attribute__((target("avx2,fma")))
#define NC_HLX__AVX512 __attribute__((target("avx512f,avx512bw,avx512dq,avx512vl,avx2,fma")))
#define NC_HLX__VERSIONS(name, params, args)                                                       \
    NC_HLX__AVX2 static void name##_avx2 params { name##_body args; }                              \
    NC_HLX__AVX512 static void name##_avx512 params { name##_body args; }                          \
    static void name##_portable params { name##_body args; }                                       \
    static void name params {                                                                      \
        int level = nc_hlx_simd();                                                                 \
        if (level == 2)                                                                            \
            name##_avx512 args;                                                                    \
        else if (level == 1)                                                                       \
            name##_avx2 args;                                                                      \
        else                                                                                       \
            name##_portable args;                                                                  \
    }
#else
#define NC_HLX__VERSIONS(name, params, args)                                                       \
    static void name params { name##_body args; }
#endif

/* Values per task of elementwise work, and columns per task where chains over rows are split. */
enum { NC_HLX__PIECE = 4096, NC_HLX__COLUMNS = 64 };

/* Call body with `first` and `count` for every piece of n, on all threads. */
#define NC_HLX__PIECES(n, size, body)                                                              \
    do {                                                                                           \
        ptrdiff_t piece, pieces = (ptrdiff_t)((n) / (size) + ((n) % (size) != 0));                 \
        NC_HLX__PARALLEL                                                                           \
        for (piece = 0; piece < pieces; piece++) {                                                 \
            const size_t first = (size_t)piece * (size);                                           \
            const size_t count = nc_hlx__min((n)-first, (size));                                   \
            body;                                                                                  \
        }                                                                                          \
    } while (0)
#ifdef _OPENMP
#define NC_HLX__PARALLEL _Pragma("omp parallel for schedule(static)")
#else
#define NC_HLX__PARALLEL
#endif

/* e^x for one value. n = round(x / ln 2) by the 1.5 * 2^23 trick, r = x - n ln 2 in two pieces,
 * Taylor polynomial of degree 7 on |r| <= 0.347, then 2^n in two exact factors so
 * that the last multiplication rounds once, into the subnormals too. */
NC_HLX__INLINE float nc_hlx__exp1(float x) {
    float bounded = x > 89.0f ? 89.0f : x, shifted, n, r, p, half;
    int32_t k, k1;
    bounded = bounded < -104.0f ? -104.0f : bounded;
    bounded = x == x ? bounded : 0.0f;
    shifted = fmaf(bounded, 1.44269504f, 12582912.0f);
    k = (int32_t)(nc_hlx__bits(shifted) - UINT32_C(0x4B400000));
    n = shifted - 12582912.0f;
    r = fmaf(n, -0.693145752f, bounded);
    r = fmaf(n, -1.42860677e-6f, r);
    p = 1.98412701e-4f;
    p = fmaf(p, r, 1.38888892e-3f);
    p = fmaf(p, r, 8.33333377e-3f);
    p = fmaf(p, r, 4.16666679e-2f);
    p = fmaf(p, r, 1.66666672e-1f);
    p = fmaf(p, r, 0.5f);
    p = fmaf(p, r, 1.0f);
    p = fmaf(p, r, 1.0f);
    k1 = k / 2;
    half = nc_hlx__float((uint32_t)(k1 + 127) << 23);
    p = p * half;
    p = p * nc_hlx__float((uint32_t)(k - k1 + 127) << 23);
    return x == x ? p : x;
}

/* log(x): x = 2^e m with m in [sqrt(1/2), sqrt(2)), f = m - 1, Cephes' logf polynomial in f. */
NC_HLX__INLINE float nc_hlx__log1(float x) {
    float scaled = x < FLT_MIN ? x * 8388608.0f : x, f, z, p, e, y;
    uint32_t u = nc_hlx__bits(scaled) - UINT32_C(0x3F3504F3);
    /* the field is signed; biasing it keeps the shift unsigned */
    int32_t exponent = (int32_t)((u + UINT32_C(0x40000000)) >> 23) - 128;
    f = nc_hlx__float((u & UINT32_C(0x007FFFFF)) + UINT32_C(0x3F3504F3)) - 1.0f;
    e = (float)(exponent - (x < FLT_MIN ? 23 : 0));
    z = f * f;
    p = 7.0376836292e-2f;
    p = fmaf(p, f, -1.1514610310e-1f);
    p = fmaf(p, f, 1.1676998740e-1f);
    p = fmaf(p, f, -1.2420140846e-1f);
    p = fmaf(p, f, 1.4249322787e-1f);
    p = fmaf(p, f, -1.6668057665e-1f);
    p = fmaf(p, f, 2.0000714765e-1f);
    p = fmaf(p, f, -2.4999993993e-1f);
    p = fmaf(p, f, 3.3333331174e-1f);
    y = (p * f) * z;
    y = fmaf(e, -2.12194440e-4f, y);
    y = fmaf(z, -0.5f, y);
    y = f + y;
    y = fmaf(e, 0.693359375f, y);
    y = x > FLT_MAX ? x : y;                                 /* +infinity */
    y = x == 0.0f ? nc_hlx__float(UINT32_C(0xFF800000)) : y; /* -infinity */
    return x >= 0.0f ? y : nc_hlx__float(UINT32_C(0x7FC00000));
}

/* tanh(x): odd polynomial (Cephes' tanhf) below 0.625, 1 - 2 / (e^2|x| + 1) above. */
NC_HLX__INLINE float nc_hlx__tanh1(float x) {
    float a = nc_hlx__float(nc_hlx__bits(x) & UINT32_C(0x7FFFFFFF)), z = x * x, p, t;
    p = -5.70498872745e-3f;
    p = fmaf(p, z, 2.06390887954e-2f);
    p = fmaf(p, z, -5.37397155531e-2f);
    p = fmaf(p, z, 1.33314422036e-1f);
    p = fmaf(p, z, -3.33332819422e-1f);
    p = fmaf(p * z, x, x);
    t = 1.0f - 2.0f / (nc_hlx__exp1(a + a) + 1.0f);
    t = nc_hlx__float(nc_hlx__bits(t) | (nc_hlx__bits(x) & UINT32_C(0x80000000)));
    t = a < 0.625f ? p : t;
    return x == x ? t : x;
}

NC_API float nc_hlx_exp(float x) { return nc_hlx__exp1(x); }

NC_API float nc_hlx_log(float x) { return nc_hlx__log1(x); }

NC_API float nc_hlx_tanh(float x) { return nc_hlx__tanh1(x); }

/* Blocks of 32: the loops below have constant trip counts and no aliasing, so that compilers
 * turn them into vector code at -O2. */
enum { NC_HLX__LANES = 32, NC_HLX__CHUNK = 4096 };

NC_HLX__INLINE float nc_hlx__tree(float s[NC_HLX__LANES]) {
    int width, j;
    for (width = NC_HLX__LANES / 2; width > 0; width /= 2)
        for (j = 0; j < width; j++) s[j] = s[j] + s[j + width];
    return s[0];
}

/* Lane sums of one chunk, n <= 4,096: of x (b null) or of products a b. */
NC_HLX__INLINE float nc_hlx__chunk(const float *a, const float *b, size_t n) {
    float s[NC_HLX__LANES], x[NC_HLX__LANES], y[NC_HLX__LANES];
    size_t i = 0;
    int j;
    for (j = 0; j < NC_HLX__LANES; j++) s[j] = 0.0f;
    for (; i + NC_HLX__LANES <= n; i += NC_HLX__LANES) {
        memcpy(x, a + i, sizeof x);
        if (b) {
            memcpy(y, b + i, sizeof y);
            for (j = 0; j < NC_HLX__LANES; j++) s[j] = fmaf(x[j], y[j], s[j]);
        } else {
            for (j = 0; j < NC_HLX__LANES; j++) s[j] = s[j] + x[j];
        }
    }
    for (j = 0; i < n; i++, j++) s[j] = b ? fmaf(a[i], b[i], s[j]) : s[j] + a[i];
    return nc_hlx__tree(s);
}

/* Chunk sums are folded as they come: 4,096 of them form the next level's chunk. Three levels
 * reach 2^36 values. */
NC_HLX__INLINE void nc_hlx__reduce_body(float *out, const float *a, const float *b, size_t n) {
    float lanes[3][NC_HLX__LANES];
    size_t count[3] = {0, 0, 0}, i;
    int level, j;
    if (n <= NC_HLX__CHUNK) {
        *out = nc_hlx__chunk(a, b, n);
        return;
    }
    memset(lanes, 0, sizeof lanes);
    for (i = 0; i < n; i += NC_HLX__CHUNK) {
        size_t m = nc_hlx__min(n - i, NC_HLX__CHUNK);
        float sum = nc_hlx__chunk(a + i, b ? b + i : NULL, m);
        for (level = 1; level < 3; level++) {
            j = (int)(count[level] % NC_HLX__LANES);
            lanes[level][j] = lanes[level][j] + sum;
            if (++count[level] < NC_HLX__CHUNK) break;
            sum = nc_hlx__tree(lanes[level]);
            memset(lanes[level], 0, sizeof lanes[level]);
            count[level] = 0;
        }
    }
    *out = nc_hlx__tree(lanes[1]);
    if (n > (size_t)NC_HLX__CHUNK * NC_HLX__CHUNK) {
        if (count[1]) {
            j = (int)(count[2] % NC_HLX__LANES);
            lanes[2][j] = lanes[2][j] + *out;
        }
        *out = nc_hlx__tree(lanes[2]);
    }
}
NC_HLX__VERSIONS(nc_hlx__reduce, (float *out, const float *a, const float *b, size_t n),
                 (out, a, b, n))

NC_API float nc_hlx_sum(const float *x, size_t n) {
    float sum;
    nc_hlx__reduce(&sum, x, NULL, n);
    return sum;
}

NC_API float nc_hlx_dot(const float *a, const float *b, size_t n) {
    float sum;
    nc_hlx__reduce(&sum, a, b, n);
    return sum;
}

/* One row of layer norm: (x - mean) rstd gamma + beta. */
NC_HLX__INLINE void nc_hlx__layernorm_row_body(float *out, float *mean, float *rstd, const float *x,
                                               const float *gamma, const float *beta, size_t n) {
    float m, v, r;
    size_t i;
    nc_hlx__reduce_body(&m, x, NULL, n);
    m = m / (float)n;
    for (i = 0; i < n; i++) out[i] = x[i] - m;
    nc_hlx__reduce_body(&v, out, out, n);
    r = 1.0f / sqrtf(v / (float)n + 1e-5f);
    for (i = 0; i < n; i++) out[i] = fmaf(out[i] * r, gamma[i], beta[i]);
    *mean = m;
    *rstd = r;
}
NC_HLX__VERSIONS(nc_hlx__layernorm_row,
                 (float *out, float *mean, float *rstd, const float *x, const float *gamma,
                  const float *beta, size_t n),
                 (out, mean, rstd, x, gamma, beta, n))

NC_API void nc_hlx_layernorm(float *out, float *mean, float *rstd, const float *x,
                             const float *gamma, const float *beta, size_t rows, size_t n) {
    ptrdiff_t r;
#ifdef _OPENMP
#pragma omp parallel for schedule(static)
#endif
    for (r = 0; r < (ptrdiff_t)rows; r++)
        nc_hlx__layernorm_row(out + (size_t)r * n, mean + r, rstd + r, x + (size_t)r * n, gamma,
                              beta, n);
}

NC_API void nc_hlx_layernorm_one_pass(float *out, float *mean, float *rstd, const float *x,
                                      const float *gamma, const float *beta, size_t rows,
                                      size_t n) {
    size_t r, i;
    for (r = 0; r < rows; r++, x += n, out += n) {
        float m = nc_hlx_sum(x, n) / (float)n, square = nc_hlx_dot(x, x, n) / (float)n;
        float variance = square - m * m;
        mean[r] = m;
        rstd[r] = 1.0f / sqrtf((variance > 0.0f ? variance : 0.0f) + 1e-5f);
        for (i = 0; i < n; i++) out[i] = fmaf((x[i] - m) * rstd[r], gamma[i], beta[i]);
    }
}

/* dx += rstd (dy gamma - mean(dy gamma) - xhat mean(dy gamma xhat)), with the two means by the
 * fixed reduction; rows are below 2^20 wide, so two levels of it are enough. */
NC_HLX__INLINE void nc_hlx__layernorm_dx_body(float *dx, const float *dout, const float *x,
                                              const float *gamma, float mean, float rstd,
                                              size_t n) {
    float s[2][NC_HLX__LANES], t[2][NC_HLX__LANES], mean_dy = 0.0f, mean_dyx = 0.0f;
    size_t first, i, lane;
    memset(s, 0, sizeof s);
    memset(t, 0, sizeof t);
    for (first = 0; first < n; first += NC_HLX__CHUNK) {
        size_t end = first + nc_hlx__min(n - first, NC_HLX__CHUNK);
        memset(s[0], 0, sizeof s[0]);
        memset(t[0], 0, sizeof t[0]);
        for (i = first; i < end; i++) {
            float dy = dout[i] * gamma[i], xhat = (x[i] - mean) * rstd;
            lane = i % NC_HLX__LANES;
            s[0][lane] = s[0][lane] + dy;
            t[0][lane] = fmaf(dy, xhat, t[0][lane]);
        }
        mean_dy = nc_hlx__tree(s[0]);
        mean_dyx = nc_hlx__tree(t[0]);
        lane = first / NC_HLX__CHUNK % NC_HLX__LANES;
        s[1][lane] = s[1][lane] + mean_dy;
        t[1][lane] = t[1][lane] + mean_dyx;
    }
    if (n > NC_HLX__CHUNK) {
        mean_dy = nc_hlx__tree(s[1]);
        mean_dyx = nc_hlx__tree(t[1]);
    }
    mean_dy = mean_dy / (float)n;
    mean_dyx = mean_dyx / (float)n;
    for (i = 0; i < n; i++) {
        float dy = dout[i] * gamma[i], xhat = (x[i] - mean) * rstd;
        dx[i] = fmaf(fmaf(-xhat, mean_dyx, dy - mean_dy), rstd, dx[i]);
    }
}
NC_HLX__VERSIONS(nc_hlx__layernorm_dx,
                 (float *dx, const float *dout, const float *x, const float *gamma, float mean,
                  float rstd, size_t n),
                 (dx, dout, x, gamma, mean, rstd, n))

/* Columns [first, last) of dgamma and dbeta: chains over ascending rows. */
NC_HLX__INLINE void nc_hlx__layernorm_dw_body(float *dgamma, float *dbeta, const float *dout,
                                              const float *x, const float *mean, const float *rstd,
                                              size_t rows, size_t n, size_t first, size_t last) {
    size_t r, i;
    for (r = 0; r < rows; r++)
        for (i = first; i < last; i++) {
            float dy = dout[r * n + i], xhat = (x[r * n + i] - mean[r]) * rstd[r];
            dgamma[i] = fmaf(dy, xhat, dgamma[i]);
            dbeta[i] = dbeta[i] + dy;
        }
}
NC_HLX__VERSIONS(nc_hlx__layernorm_dw,
                 (float *dgamma, float *dbeta, const float *dout, const float *x, const float *mean,
                  const float *rstd, size_t rows, size_t n, size_t first, size_t last),
                 (dgamma, dbeta, dout, x, mean, rstd, rows, n, first, last))

NC_API void nc_hlx_layernorm_backward(float *dx, float *dgamma, float *dbeta, const float *dout,
                                      const float *x, const float *gamma, const float *mean,
                                      const float *rstd, size_t rows, size_t n) {
    ptrdiff_t r;
#ifdef _OPENMP
#pragma omp parallel for schedule(static)
#endif
    for (r = 0; r < (ptrdiff_t)rows; r++)
        nc_hlx__layernorm_dx(dx + (size_t)r * n, dout + (size_t)r * n, x + (size_t)r * n, gamma,
                             mean[r], rstd[r], n);
    NC_HLX__PIECES(
        n, NC_HLX__COLUMNS,
        nc_hlx__layernorm_dw(dgamma, dbeta, dout, x, mean, rstd, rows, n, first, first + count));
}

/* x[i] = exp(x[i] - shift), in blocks. */
NC_HLX__INLINE void nc_hlx__exp_shift_body(float *x, float shift, size_t n) {
    float block[NC_HLX__LANES];
    size_t i, m;
    int j;
    for (i = 0; i < n; i += NC_HLX__LANES) {
        m = nc_hlx__min(n - i, NC_HLX__LANES);
        if (m == NC_HLX__LANES)
            memcpy(block, x + i, sizeof block);
        else {
            memset(block, 0, sizeof block);
            memcpy(block, x + i, m * sizeof *x);
        }
        for (j = 0; j < NC_HLX__LANES; j++) block[j] = nc_hlx__exp1(block[j] - shift);
        memcpy(x + i, block, m * sizeof *x);
    }
}

NC_HLX__INLINE float nc_hlx__max(const float *x, size_t n) {
    float max = x[0];
    size_t i;
    for (i = 1; i < n; i++) max = x[i] > max ? x[i] : max;
    return max;
}

NC_HLX__INLINE void nc_hlx__softmax_row_body(float *x, size_t n) {
    float sum;
    size_t i;
    nc_hlx__exp_shift_body(x, nc_hlx__max(x, n), n);
    nc_hlx__reduce_body(&sum, x, NULL, n);
    for (i = 0; i < n; i++) x[i] = x[i] / sum;
}
NC_HLX__VERSIONS(nc_hlx__softmax_row, (float *x, size_t n), (x, n))

NC_API void nc_hlx_softmax(float *x, size_t rows, size_t n, int causal) {
    ptrdiff_t r;
    if (n == 0) return;
#ifdef _OPENMP
#pragma omp parallel for schedule(static)
#endif
    for (r = 0; r < (ptrdiff_t)rows; r++) {
        size_t kept = causal && (size_t)r + 1 < n ? (size_t)r + 1 : n;
        float *row = x + (size_t)r * n;
        nc_hlx__softmax_row(row, kept);
        memset(row + kept, 0, (n - kept) * sizeof *row);
    }
}

NC_HLX__INLINE void nc_hlx__softmax_dx_body(float *dy, const float *y, size_t n) {
    float dot;
    size_t i;
    nc_hlx__reduce_body(&dot, dy, y, n);
    for (i = 0; i < n; i++) dy[i] = y[i] * (dy[i] - dot);
}
NC_HLX__VERSIONS(nc_hlx__softmax_dx, (float *dy, const float *y, size_t n), (dy, y, n))

NC_API void nc_hlx_softmax_backward(float *dy, const float *y, size_t rows, size_t n, int causal) {
    ptrdiff_t r;
#ifdef _OPENMP
#pragma omp parallel for schedule(static)
#endif
    for (r = 0; r < (ptrdiff_t)rows; r++) {
        size_t kept = causal && (size_t)r + 1 < n ? (size_t)r + 1 : n;
        float *row = dy + (size_t)r * n;
        nc_hlx__softmax_dx(row, y + (size_t)r * n, kept);
        memset(row + kept, 0, (n - kept) * sizeof *row);
    }
}

#define NC_HLX__GELU_SCALE 0.797884583f /* sqrt(2/pi) */

NC_HLX__INLINE void nc_hlx__gelu_body(float *out, const float *x, size_t n) {
    float block[NC_HLX__LANES];
    size_t i, m;
    int j;
    for (i = 0; i < n; i += NC_HLX__LANES) {
        m = nc_hlx__min(n - i, NC_HLX__LANES);
        memset(block, 0, sizeof block);
        memcpy(block, x + i, m * sizeof *x);
        for (j = 0; j < NC_HLX__LANES; j++) {
            float v = block[j], cubic = fmaf(0.044715f * v * v, v, v);
            float half = 0.5f * v;
            block[j] = fmaf(half, nc_hlx__tanh1(NC_HLX__GELU_SCALE * cubic), half);
        }
        memcpy(out + i, block, m * sizeof *x);
    }
}
NC_HLX__VERSIONS(nc_hlx__gelu, (float *out, const float *x, size_t n), (out, x, n))

NC_HLX__INLINE void nc_hlx__gelu_dx_body(float *dx, const float *dout, const float *x, size_t n) {
    float block[NC_HLX__LANES], dy[NC_HLX__LANES];
    size_t i, m;
    int j;
    for (i = 0; i < n; i += NC_HLX__LANES) {
        m = nc_hlx__min(n - i, NC_HLX__LANES);
        memset(block, 0, sizeof block);
        memset(dy, 0, sizeof dy);
        memcpy(block, x + i, m * sizeof *x);
        memcpy(dy, dout + i, m * sizeof *x);
        for (j = 0; j < NC_HLX__LANES; j++) {
            float v = block[j], cubic = fmaf(0.044715f * v * v, v, v);
            float t = nc_hlx__tanh1(NC_HLX__GELU_SCALE * cubic);
            float inner = NC_HLX__GELU_SCALE * fmaf(0.134145f * v, v, 1.0f);
            float slope = fmaf(-t, t, 1.0f) * inner;
            block[j] = dy[j] * fmaf(0.5f * v, slope, fmaf(0.5f, t, 0.5f));
        }
        memcpy(dx + i, block, m * sizeof *x);
    }
}
NC_HLX__VERSIONS(nc_hlx__gelu_dx, (float *dx, const float *dout, const float *x, size_t n),
                 (dx, dout, x, n))

NC_API void nc_hlx_gelu(float *out, const float *x, size_t n) {
    NC_HLX__PIECES(n, NC_HLX__PIECE, nc_hlx__gelu(out + first, x + first, count));
}

NC_API void nc_hlx_gelu_backward(float *dx, const float *dout, const float *x, size_t n) {
    NC_HLX__PIECES(n, NC_HLX__PIECE, nc_hlx__gelu_dx(dx + first, dout + first, x + first, count));
}

/* loss = log(sum exp(x - max)) - (x[target] - max); gradient (softmax - one_hot) / count. */
NC_HLX__INLINE void nc_hlx__cross_entropy_row_body(float *x, float *loss, uint32_t target,
                                                   float count, size_t n) {
    float max, sum, picked;
    size_t i;
    *loss = 0.0f;
    if (target >= n) {
        memset(x, 0, n * sizeof *x);
        return;
    }
    max = nc_hlx__max(x, n);
    picked = x[target] - max;
    nc_hlx__exp_shift_body(x, max, n);
    nc_hlx__reduce_body(&sum, x, NULL, n);
    *loss = nc_hlx__log1(sum) - picked;
    for (i = 0; i < n; i++) {
        float probability = x[i] / sum;
        x[i] = (i == target ? probability - 1.0f : probability) / count;
    }
}
NC_HLX__VERSIONS(nc_hlx__cross_entropy_row,
                 (float *x, float *loss, uint32_t target, float count, size_t n),
                 (x, loss, target, count, n))

/* Rows' losses, and gradients divided by count. */
static void nc_hlx__cross_entropy_rows(float *logits, const uint32_t *targets, float *losses,
                                       size_t rows, size_t n, float count) {
    ptrdiff_t r;
#ifdef _OPENMP
#pragma omp parallel for schedule(static)
#endif
    for (r = 0; r < (ptrdiff_t)rows; r++)
        nc_hlx__cross_entropy_row(logits + (size_t)r * n, losses + r, targets[r], count, n);
}

/* Rows with a target, as the divisor of a mean. */
static float nc_hlx__count(const uint32_t *targets, size_t rows, size_t n) {
    size_t valid = 0, i;
    for (i = 0; i < rows; i++) valid += (size_t)(targets[i] < n);
    return (float)(valid ? valid : 1);
}

NC_API float nc_hlx_cross_entropy(float *logits, const uint32_t *targets, float *losses,
                                  size_t rows, size_t n) {
    const float count = nc_hlx__count(targets, rows, n);
    nc_hlx__cross_entropy_rows(logits, targets, losses, rows, n, count);
    return nc_hlx_sum(losses, rows) / count;
}

NC_API void nc_hlx_gemm_ref(int trans_a, int trans_b, size_t m, size_t n, size_t k, const float *a,
                            size_t lda, const float *b, size_t ldb, float *c, size_t ldc,
                            int accumulate) {
    size_t i, j, p;
    for (i = 0; i < m; i++)
        for (j = 0; j < n; j++) {
            float sum = accumulate ? c[i * ldc + j] : 0.0f;
            for (p = 0; p < k; p++)
                sum = fmaf(a[trans_a ? p * lda + i : i * lda + p],
                           b[trans_b ? j * ldb + p : p * ldb + j], sum);
            c[i * ldc + j] = sum;
        }
}

/* >>simd =========================================================================== */

/* A tile of C is mr x nr; A comes packed as k columns of mr values, B as k rows of nr values.
 * The accumulators start from 0 (fresh) or from C and return to it, so cutting k into blocks
 * changes nothing. */
typedef void (*nc_hlx__micro_fn)(size_t k, const float *a, const float *b, float *c, size_t ldc,
                                 int fresh);
typedef struct nc_hlx__micro {
    size_t mr, nr;
    nc_hlx__micro_fn fn;
} nc_hlx__micro;

enum {
    NC_HLX__KC = 256,  /* k block */
    NC_HLX__MC = 224,  /* rows per block of A, rounded down to whole tiles */
    NC_HLX__NC = 1024, /* columns per block of B */
    NC_HLX__MR_MAX = 14,
    NC_HLX__NR_MAX = 32
};

static void nc_hlx__micro_portable(size_t k, const float *a, const float *b, float *c, size_t ldc,
                                   int fresh) {
    float tile[4][8];
    size_t p;
    int i, j;
    memset(tile, 0, sizeof tile);
    for (i = 0; i < 4 && !fresh; i++) memcpy(tile[i], c + (size_t)i * ldc, sizeof tile[i]);
    for (p = 0; p < k; p++, a += 4, b += 8)
        for (i = 0; i < 4; i++)
            for (j = 0; j < 8; j++) tile[i][j] = fmaf(a[i], b[j], tile[i][j]);
    for (i = 0; i < 4; i++) memcpy(c + (size_t)i * ldc, tile[i], sizeof tile[i]);
}

#ifdef NC_HLX__X86
#define NC_HLX__ROWS6(X) X(0) X(1) X(2) X(3) X(4) X(5)
#define NC_HLX__ROWS14(X) NC_HLX__ROWS6(X) X(6) X(7) X(8) X(9) X(10) X(11) X(12) X(13)

#define NC_HLX__ZERO(i) __m256 x##i = _mm256_setzero_ps(), y##i = x##i;
#define NC_HLX__LOAD(i)                                                                            \
    x##i = _mm256_loadu_ps(c + i * ldc);                                                           \
    y##i = _mm256_loadu_ps(c + i * ldc + 8);
#define NC_HLX__FMA(i)                                                                             \
    w = _mm256_broadcast_ss(a + i);                                                                \
    x##i = _mm256_fmadd_ps(w, u, x##i);                                                            \
    y##i = _mm256_fmadd_ps(w, v, y##i);
#define NC_HLX__STORE(i)                                                                           \
    _mm256_storeu_ps(c + i * ldc, x##i);                                                           \
    _mm256_storeu_ps(c + i * ldc + 8, y##i);
NC_HLX__AVX2 static void nc_hlx__micro_avx2(size_t k, const float *a, const float *b, float *c,
                                            size_t ldc, int fresh) {
    __m256 u, v, w;
    size_t p;
    NC_HLX__ROWS6(NC_HLX__ZERO)
    if (!fresh) {
        NC_HLX__ROWS6(NC_HLX__LOAD)
    }
    for (p = 0; p < k; p++, a += 6, b += 16) {
        u = _mm256_loadu_ps(b);
        v = _mm256_loadu_ps(b + 8);
        NC_HLX__ROWS6(NC_HLX__FMA)
    }
    NC_HLX__ROWS6(NC_HLX__STORE)
}
#undef NC_HLX__ZERO
#undef NC_HLX__LOAD
#undef NC_HLX__FMA
#undef NC_HLX__STORE

#define NC_HLX__ZERO(i) __m512 x##i = _mm512_setzero_ps(), y##i = x##i;
#define NC_HLX__LOAD(i)                                                                            \
    x##i = _mm512_loadu_ps(c + i * ldc);                                                           \
    y##i = _mm512_loadu_ps(c + i * ldc + 16);
#define NC_HLX__FMA(i)                                                                             \
    w = _mm512_set1_ps(a[i]);                                                                      \
    x##i = _mm512_fmadd_ps(w, u, x##i);                                                            \
    y##i = _mm512_fmadd_ps(w, v, y##i);
#define NC_HLX__STORE(i)                                                                           \
    _mm512_storeu_ps(c + i * ldc, x##i);                                                           \
    _mm512_storeu_ps(c + i * ldc + 16, y##i);
NC_HLX__AVX512 static void nc_hlx__micro_avx512(size_t k, const float *a, const float *b, float *c,
                                                size_t ldc, int fresh) {
    __m512 u, v, w;
    size_t p;
    NC_HLX__ROWS14(NC_HLX__ZERO)
    if (!fresh) {
        NC_HLX__ROWS14(NC_HLX__LOAD)
    }
    for (p = 0; p < k; p++, a += 14, b += 32) {
        u = _mm512_loadu_ps(b);
        v = _mm512_loadu_ps(b + 16);
        NC_HLX__ROWS14(NC_HLX__FMA)
    }
    NC_HLX__ROWS14(NC_HLX__STORE)
}
#undef NC_HLX__ZERO
#undef NC_HLX__LOAD
#undef NC_HLX__FMA
#undef NC_HLX__STORE
#undef NC_HLX__ROWS6
#undef NC_HLX__ROWS14
#endif

static nc_hlx__micro nc_hlx__pick_micro(void) {
    nc_hlx__micro micro = {4, 8, nc_hlx__micro_portable};
#ifdef NC_HLX__X86
    if (nc_hlx_simd() == 1) {
        micro.mr = 6;
        micro.nr = 16;
        micro.fn = nc_hlx__micro_avx2;
    } else if (nc_hlx_simd() == 2) {
        micro.mr = 14;
        micro.nr = 32;
        micro.fn = nc_hlx__micro_avx512;
    }
#endif
    return micro;
}

#ifdef NC_HLX__X86
/* dst[p * width + i] = x[i * ld + p] for 16 p and rows <= 16 of i; the lanes up to min(width, 16)
 * beyond them are zero. Four rounds of shuffles transpose 16 x 16. */
NC_HLX__AVX512 static void nc_hlx__transpose_avx512(float *dst, size_t width, const float *x,
                                                    size_t ld, size_t rows) {
    const __mmask16 mask = (__mmask16)(width < 16 ? (1u << width) - 1 : 0xFFFFu);
    const __mmask16 all = 0xFFFF; /* the plain forms trip -Wuninitialized of g++ 12 */
    __m512 a[16], b[16];
    size_t i;
    for (i = 0; i < 16; i++) a[i] = i < rows ? _mm512_loadu_ps(x + i * ld) : _mm512_setzero_ps();
    for (i = 0; i < 16; i += 2) {
        b[i] = _mm512_maskz_unpacklo_ps(all, a[i], a[i + 1]);
        b[i + 1] = _mm512_maskz_unpackhi_ps(all, a[i], a[i + 1]);
    }
    for (i = 0; i < 16; i += 4) { /* a[i + j]: column j of every 4 x 4 block of rows i .. i + 3 */
        a[i] = _mm512_maskz_shuffle_ps(all, b[i], b[i + 2], 0x44);
        a[i + 1] = _mm512_maskz_shuffle_ps(all, b[i], b[i + 2], 0xEE);
        a[i + 2] = _mm512_maskz_shuffle_ps(all, b[i + 1], b[i + 3], 0x44);
        a[i + 3] = _mm512_maskz_shuffle_ps(all, b[i + 1], b[i + 3], 0xEE);
    }
    for (i = 0; i < 4; i++) {
        b[i] = _mm512_maskz_shuffle_f32x4(all, a[i], a[i + 4], 0x88);
        b[i + 4] = _mm512_maskz_shuffle_f32x4(all, a[i], a[i + 4], 0xDD);
        b[i + 8] = _mm512_maskz_shuffle_f32x4(all, a[i + 8], a[i + 12], 0x88);
        b[i + 12] = _mm512_maskz_shuffle_f32x4(all, a[i + 8], a[i + 12], 0xDD);
    }
    for (i = 0; i < 4; i++) {
        a[i] = _mm512_maskz_shuffle_f32x4(all, b[i], b[i + 8], 0x88);
        a[i + 8] = _mm512_maskz_shuffle_f32x4(all, b[i], b[i + 8], 0xDD);
        a[i + 4] = _mm512_maskz_shuffle_f32x4(all, b[i + 4], b[i + 12], 0x88);
        a[i + 12] = _mm512_maskz_shuffle_f32x4(all, b[i + 4], b[i + 12], 0xDD);
    }
    for (i = 0; i < 16; i++) _mm512_mask_storeu_ps(dst + i * width, mask, a[i]);
}
#endif

/* width values, without a call of memcpy for the widths of the micro kernels. */
static void nc_hlx__copy_lanes(float *dst, const float *x, size_t width) {
    switch (width) {
    case 32: memcpy(dst, x, 32 * sizeof *dst); break;
    case 16: memcpy(dst, x, 16 * sizeof *dst); break;
    case 14:
        memcpy(dst, x, 8 * sizeof *dst);
        memcpy(dst + 6, x + 6, 8 * sizeof *dst);
        break;
    case 8: memcpy(dst, x, 8 * sizeof *dst); break;
    case 6: memcpy(dst, x, 6 * sizeof *dst); break;
    default: memcpy(dst, x, width * sizeof *dst);
    }
}

/* dst[p * width + i] = element (first + i, p0 + p) of op(X), where lanes_contiguous says whether
 * the lane index runs along the rows of the stored matrix; missing lanes are zero. */
static void nc_hlx__pack(float *dst, const float *x, size_t ld, int lanes_contiguous, size_t first,
                         size_t lanes, size_t width, size_t p0, size_t k) {
    size_t p = 0, i;
    if (lanes_contiguous) {
        for (; p < k; p++) {
            const float *from = x + (p0 + p) * ld + first;
            if (lanes == width) {
                nc_hlx__copy_lanes(dst + p * width, from, width);
                continue;
            }
            memcpy(dst + p * width, from, lanes * sizeof *dst);
            for (i = lanes; i < width; i++) dst[p * width + i] = 0.0f;
        }
        return;
    }
    x += first * ld + p0;
#ifdef NC_HLX__X86
    if (nc_hlx_simd() == 2 && width >= 14)
        for (; p + 16 <= k; p += 16)
            for (i = 0; i < width; i += 16)
                nc_hlx__transpose_avx512(dst + p * width + i, width, lanes > i ? x + i * ld + p : x,
                                         ld, lanes > i ? lanes - i : 0);
#endif
    for (; p < k; p++)
        for (i = 0; i < width; i++) dst[p * width + i] = i < lanes ? x[i * ld + p] : 0.0f;
}

/* What is done to C after its last k block: + bias, + residual, and gelu of the result beside it.
 * residual and gelu have C's stride. */
typedef struct nc_hlx__epilogue {
    const float *bias, *residual;
    float *gelu;
} nc_hlx__epilogue;

NC_HLX__INLINE void nc_hlx__finish_row_body(float *c, const float *bias, const float *residual,
                                            float *gelu, size_t n) {
    size_t i;
    if (bias)
        for (i = 0; i < n; i++) c[i] = c[i] + bias[i];
    if (residual)
        for (i = 0; i < n; i++) c[i] = c[i] + residual[i];
    if (gelu) nc_hlx__gelu_body(gelu, c, n);
}
NC_HLX__VERSIONS(nc_hlx__finish_row,
                 (float *c, const float *bias, const float *residual, float *gelu, size_t n),
                 (c, bias, residual, gelu, n))

typedef struct nc_hlx__gemm_job {
    nc_hlx__micro micro;
    int trans_a, trans_b, accumulate;
    size_t m, n, k, lda, ldb, ldc;
    const float *a, *b;
    float *c;
    nc_hlx__epilogue epilogue;
} nc_hlx__gemm_job;

static void nc_hlx__finish(const nc_hlx__gemm_job *job, size_t row, size_t column, size_t rows,
                           size_t columns) {
    const nc_hlx__epilogue *e = &job->epilogue;
    size_t i;
    if (!e->bias && !e->residual && !e->gelu) return;
    for (i = row; i < row + rows; i++) {
        size_t at = i * job->ldc + column;
        nc_hlx__finish_row(job->c + at, e->bias ? e->bias + column : NULL,
                           e->residual ? e->residual + at : NULL, e->gelu ? e->gelu + at : NULL,
                           columns);
    }
}

/* One tile at (row, column) for the k block at p0, through a copy when it hangs over C's edge. */
static void nc_hlx__tile(const nc_hlx__gemm_job *job, size_t p0, size_t k, const float *a,
                         const float *b, size_t row, size_t column) {
    float edge[NC_HLX__MR_MAX * NC_HLX__NR_MAX], *c = job->c + row * job->ldc + column;
    const nc_hlx__micro *micro = &job->micro;
    size_t rows = nc_hlx__min(job->m - row, micro->mr), i;
    size_t columns = nc_hlx__min(job->n - column, micro->nr);
    int fresh = p0 == 0 && !job->accumulate;
    if (rows == micro->mr && columns == micro->nr) {
        micro->fn(k, a, b, c, job->ldc, fresh);
    } else {
        memset(edge, 0, sizeof edge);
        for (i = 0; i < rows && !fresh; i++)
            memcpy(edge + i * micro->nr, c + i * job->ldc, columns * sizeof *c);
        micro->fn(k, a, b, edge, micro->nr, fresh);
        for (i = 0; i < rows; i++)
            memcpy(c + i * job->ldc, edge + i * micro->nr, columns * sizeof *c);
    }
    if (p0 + k == job->k) nc_hlx__finish(job, row, column, rows, columns);
}

enum {
    NC_HLX__PACK_B = NC_HLX__KC * (NC_HLX__NC + NC_HLX__NR_MAX),
    NC_HLX__PACK_A = NC_HLX__KC * NC_HLX__MC
};

/* Columns j0.. and rows p0.. of B are packed once, then A block by block; threads share both and
 * split the tiles of a block evenly. */
static void nc_hlx__gemm_run(const nc_hlx__gemm_job *job, float *work, int threads) {
    float *pack_b = work, *pack_a = work + NC_HLX__PACK_B;
    const size_t mr = job->micro.mr, nr = job->micro.nr, mc = NC_HLX__MC / mr * mr;
    (void)threads;
#ifdef _OPENMP
#pragma omp parallel num_threads(threads) if (threads > 1)
#endif
    {
        size_t i0, j0, p0;
        for (j0 = 0; j0 < job->n; j0 += NC_HLX__NC)
            for (p0 = 0; p0 < job->k; p0 += NC_HLX__KC)
                for (i0 = 0; i0 < job->m; i0 += mc) {
                    const size_t nc = nc_hlx__min(job->n - j0, NC_HLX__NC);
                    const size_t kc = nc_hlx__min(job->k - p0, NC_HLX__KC);
                    const size_t rows = nc_hlx__min(job->m - i0, mc);
                    const ptrdiff_t panels = (ptrdiff_t)((nc + nr - 1) / nr);
                    const ptrdiff_t tiles = (ptrdiff_t)((rows + mr - 1) / mr);
                    const ptrdiff_t fresh_panels = i0 == 0 ? panels : 0;
                    ptrdiff_t i;
#ifdef _OPENMP
#pragma omp for schedule(static)
#endif
                    for (i = 0; i < fresh_panels + tiles; i++) {
                        size_t at = (size_t)(i < fresh_panels ? i : i - fresh_panels);
                        if (i < fresh_panels)
                            nc_hlx__pack(pack_b + at * nr * kc, job->b, job->ldb, !job->trans_b,
                                         j0 + at * nr, nc_hlx__min(nc - at * nr, nr), nr, p0, kc);
                        else
                            nc_hlx__pack(pack_a + at * mr * kc, job->a, job->lda, job->trans_a,
                                         i0 + at * mr, nc_hlx__min(rows - at * mr, mr), mr, p0, kc);
                    }
#ifdef _OPENMP
#pragma omp for schedule(static)
#endif
                    for (i = 0; i < panels * tiles; i++) {
                        size_t panel = (size_t)(i / tiles), tile = (size_t)(i % tiles);
                        nc_hlx__tile(job, p0, kc, pack_a + tile * mr * kc, pack_b + panel * nr * kc,
                                     i0 + tile * mr, j0 + panel * nr);
                    }
                }
    }
}

NC_API size_t nc_hlx_gemm_work_bytes(void) {
    return (NC_HLX__PACK_B + NC_HLX__PACK_A) * sizeof(float) + 64;
}

/* One row of A against k rows of B, columns in blocks that stay in the first cache. */
NC_HLX__INLINE void nc_hlx__gemv_body(float *c, const float *a, const float *b, size_t ldb,
                                      size_t k, size_t n) {
    size_t j0, j, p;
    for (j0 = 0; j0 < n; j0 += 256) {
        size_t end = nc_hlx__min(n, j0 + 256);
        for (p = 0; p < k; p++)
            for (j = j0; j < end; j++) c[j] = fmaf(a[p], b[p * ldb + j], c[j]);
    }
}
NC_HLX__VERSIONS(nc_hlx__gemv,
                 (float *c, const float *a, const float *b, size_t ldb, size_t k, size_t n),
                 (c, a, b, ldb, k, n))

static nc_status nc_hlx__gemm(nc_hlx__gemm_job *job, void *work, size_t work_bytes) {
    float *aligned;
    size_t i;
    int threads = 1;
    if (job->m == 0 || job->n == 0) return NC_OK;
    if (!job->c || !work || work_bytes < nc_hlx_gemm_work_bytes() ||
        (job->k && (!job->a || !job->b)))
        return NC_ERR_ARG;
    if (job->lda < (job->trans_a ? job->m : job->k) ||
        job->ldb < (job->trans_b ? job->k : job->n) || job->ldc < job->n)
        return NC_ERR_ARG;
    aligned = (float *)(void *)((char *)work + (64 - (uintptr_t)work % 64) % 64);
#ifdef _OPENMP
    threads = omp_in_parallel() ? 1 : omp_get_max_threads();
    if ((double)job->m * (double)job->n * (double)job->k < 65536.0)
        threads = 1; /* cheaper than waking them */
#endif
    job->micro = nc_hlx__pick_micro();
    if (job->k == 0 || (job->m == 1 && !job->trans_a && !job->trans_b)) {
        for (i = 0; i < job->m && !job->accumulate; i++)
            memset(job->c + i * job->ldc, 0, job->n * sizeof(float));
        if (job->k) nc_hlx__gemv(job->c, job->a, job->b, job->ldb, job->k, job->n);
        nc_hlx__finish(job, 0, 0, job->m, job->n);
        return NC_OK;
    }
    nc_hlx__gemm_run(job, aligned, threads);
    return NC_OK;
}

NC_API nc_status nc_hlx_gemm(int trans_a, int trans_b, size_t m, size_t n, size_t k, const float *a,
                             size_t lda, const float *b, size_t ldb, float *c, size_t ldc,
                             int accumulate, void *work, size_t work_bytes) {
    nc_hlx__gemm_job job;
    memset(&job, 0, sizeof job);
    job.trans_a = trans_a;
    job.trans_b = trans_b;
    job.accumulate = accumulate;
    job.m = m;
    job.n = n;
    job.k = k;
    job.lda = lda;
    job.ldb = ldb;
    job.ldc = ldc;
    job.a = a;
    job.b = b;
    job.c = c;
    return nc_hlx__gemm(&job, work, work_bytes);
}

NC_API nc_status nc_hlx_linear(float *out, float *gelu, const float *x, const float *w,
                               const float *bias, const float *residual, size_t rows, size_t k,
                               size_t n, void *work, size_t work_bytes) {
    nc_hlx__gemm_job job;
    memset(&job, 0, sizeof job);
    job.m = rows;
    job.n = job.ldb = job.ldc = n;
    job.k = job.lda = k;
    job.a = x;
    job.b = w;
    job.c = out;
    job.epilogue.bias = bias;
    job.epilogue.residual = residual;
    job.epilogue.gelu = gelu;
    return nc_hlx__gemm(&job, work, work_bytes);
}

/* >>kernels ======================================================================== */

/* out = a + b. */
static void nc_hlx__add(float *out, const float *a, const float *b, size_t n) {
    size_t i;
    for (i = 0; i < n; i++) out[i] = a[i] + b[i];
}

/* Columns [first, first + count) of rows of n. */
static void nc_hlx__sum_columns(float *sums, const float *x, size_t rows, size_t n, size_t first,
                                size_t count) {
    size_t r;
    for (r = 0; r < rows; r++) nc_hlx__add(sums + first, sums + first, x + r * n + first, count);
}

NC_API void nc_hlx_column_sums(float *sums, const float *x, size_t rows, size_t n) {
    NC_HLX__PIECES(n, NC_HLX__COLUMNS, nc_hlx__sum_columns(sums, x, rows, n, first, count));
}

NC_API void nc_hlx_embedding(float *out, const uint32_t *tokens, const float *wte, const float *wpe,
                             size_t rows, size_t seq, size_t d) {
    ptrdiff_t r;
#ifdef _OPENMP
#pragma omp parallel for schedule(static)
#endif
    for (r = 0; r < (ptrdiff_t)rows; r++)
        nc_hlx__add(out + (size_t)r * d, wte + (size_t)tokens[r] * d, wpe + (size_t)r % seq * d, d);
}

/* Columns [first, first + count) of both gradients. */
static void nc_hlx__embedding_columns(float *dwte, float *dwpe, const float *dout,
                                      const uint32_t *tokens, size_t rows, size_t seq, size_t d,
                                      size_t first, size_t count) {
    size_t i;
    for (i = 0; i < rows; i++) {
        const float *dy = dout + i * d + first;
        float *token = dwte + (size_t)tokens[i] * d + first, *position = dwpe + i % seq * d + first;
        nc_hlx__add(token, token, dy, count);
        nc_hlx__add(position, position, dy, count);
    }
}

NC_API void nc_hlx_embedding_backward(float *dwte, float *dwpe, const float *dout,
                                      const uint32_t *tokens, size_t rows, size_t seq, size_t d) {
    NC_HLX__PIECES(d, NC_HLX__COLUMNS,
                   nc_hlx__embedding_columns(dwte, dwpe, dout, tokens, rows, seq, d, first, count));
}

/* Keys (and queries) of a flash tile. */
enum { NC_HLX__TILE = 32 };

/* Scratch of one thread: gemm's, then a seq x seq block, or two tiles and a number a query. */
static size_t nc_hlx__head_work_bytes(const nc_hlx_heads *s, int flash) {
    size_t square = nc__mul_size(s->seq, s->seq);
    size_t tiles = 2 * NC_HLX__TILE * NC_HLX__TILE + s->seq;
    size_t block = nc__mul_size(flash ? tiles : square, sizeof(float));
    return nc__add_size(block, nc_hlx_gemm_work_bytes() + 127) & ~(size_t)63;
}

NC_API size_t nc_hlx_attention_work_bytes(const nc_hlx_heads *s, int flash, uint32_t threads) {
    return nc__mul_size(nc_hlx__head_work_bytes(s, flash), threads ? threads : 1);
}

/* One head of one window: its operands, strides and scratch. */
typedef struct nc_hlx__head {
    const nc_hlx_heads *shape;
    const float *q;          /* K is d behind, V 2 d; rows of 3 d */
    size_t d, offset, index; /* offset in rows of d; index of the (window, head) */
    float scale, *block;
    char *gemm;
} nc_hlx__head;

typedef struct nc_hlx__attention_job {
    const nc_hlx_heads *shape;
    const float *qkv, *dout, *kept, *out; /* kept: probabilities or lse */
    float *to, *keep;                     /* out or dqkv; probabilities or lse */
    int flash;
    void (*fn)(const nc_hlx__head *head, const struct nc_hlx__attention_job *job);
} nc_hlx__attention_job;

/* Run job.fn for every head, heads split over threads. */
static nc_status nc_hlx__all_heads(const nc_hlx__attention_job *job, void *work,
                                   size_t work_bytes) {
    const nc_hlx_heads *s = job->shape;
    ptrdiff_t i, count;
    size_t stride;
    int threads = 1;
    if (!s || !job->to || !job->qkv || !work || s->batch == 0 || s->seq == 0 || s->heads == 0 ||
        s->head_size == 0)
        return NC_ERR_ARG;
    stride = nc_hlx__head_work_bytes(s, job->flash);
    if (work_bytes < stride) return NC_ERR_ARG;
#ifdef _OPENMP
    threads = omp_in_parallel() ? 1 : omp_get_max_threads();
    if ((size_t)threads > work_bytes / stride) threads = (int)(work_bytes / stride);
#endif
    count = (ptrdiff_t)(s->batch * s->heads);
    (void)threads;
#ifdef _OPENMP
#pragma omp parallel for schedule(static) num_threads(threads)
#endif
    for (i = 0; i < count; i++) {
        nc_hlx__head head;
        size_t window = (size_t)i / s->heads, h = (size_t)i % s->heads, thread = 0;
#ifdef _OPENMP
        thread = threads > 1 ? (size_t)omp_get_thread_num() : 0;
#endif
        head.shape = s;
        head.d = s->heads * s->head_size;
        head.index = (size_t)i;
        head.offset = window * s->seq * head.d + h * s->head_size;
        head.q = job->qkv + window * s->seq * 3 * head.d + h * s->head_size;
        head.scale = 1.0f / sqrtf((float)s->head_size);
        head.gemm = (char *)work + thread * stride;
        head.block = (float *)(void *)(head.gemm + ((nc_hlx_gemm_work_bytes() + 63) & ~(size_t)63));
        job->fn(&head, job);
    }
    return NC_OK;
}

/* The same from its parts. */
static nc_status
nc_hlx__attend(void (*fn)(const nc_hlx__head *, const struct nc_hlx__attention_job *), int flash,
               const nc_hlx_heads *shape, const float *qkv, const float *dout, const float *out,
               const float *kept, float *to, float *keep, void *work, size_t work_bytes) {
    nc_hlx__attention_job job;
    job.flash = flash;
    job.shape = shape;
    job.qkv = qkv;
    job.dout = dout;
    job.kept = kept;
    job.out = out;
    job.to = to;
    job.keep = keep;
    job.fn = fn;
    return nc_hlx__all_heads(&job, work, work_bytes);
}

/* gemm with the thread's scratch. */
static void nc_hlx__head_gemm(const nc_hlx__head *head, int trans_a, int trans_b, size_t m,
                              size_t n, size_t k, const float *a, size_t lda, const float *b,
                              size_t ldb, float *c, size_t ldc, int accumulate) {
    (void)nc_hlx_gemm(trans_a, trans_b, m, n, k, a, lda, b, ldb, c, ldc, accumulate, head->gemm,
                      nc_hlx_gemm_work_bytes());
}

/* Queries of a causal product that are done together; keys behind the block are not looked at. */
enum { NC_HLX__CAUSAL_BLOCK = 112 };

/* out (t x hd) = P (t x t) X, X with stride 3 d: chains over all keys. Behind the diagonal P is
 * +0, and a step fma(0, x, c) changes nothing but a c of -0, so a causal block of queries stops
 * at its last key and only the sums that are -0 there go on. */
static void nc_hlx__causal_product(const nc_hlx__head *head, const float *p, const float *x,
                                   float *out, size_t ldo) {
    const size_t t = head->shape->seq, hd = head->shape->head_size, ldx = 3 * head->d;
    size_t i0, i, j, k;
    for (i0 = 0; i0 < t; i0 += NC_HLX__CAUSAL_BLOCK) {
        const size_t n = nc_hlx__min(t - i0, NC_HLX__CAUSAL_BLOCK);
        const size_t keys = head->shape->causal ? i0 + n : t;
        nc_hlx__head_gemm(head, 0, 0, n, hd, keys, p + i0 * t, t, x, ldx, out + i0 * ldo, ldo, 0);
        for (i = i0; i < i0 + n && keys < t; i++)
            for (j = 0; j < hd; j++)
                for (k = keys; k < t && nc_hlx__bits(out[i * ldo + j]) == UINT32_C(0x80000000); k++)
                    out[i * ldo + j] = fmaf(p[i * t + k], x[k * ldx + j], out[i * ldo + j]);
    }
}

/* s (t x t) = A B^T, rows of A and B hd wide; causal blocks leave out keys behind them. */
static void nc_hlx__causal_scores(const nc_hlx__head *head, const float *a, size_t lda,
                                  const float *b, size_t ldb, float *s) {
    const size_t t = head->shape->seq, hd = head->shape->head_size;
    size_t i0;
    for (i0 = 0; i0 < t; i0 += NC_HLX__CAUSAL_BLOCK) {
        const size_t n = nc_hlx__min(t - i0, NC_HLX__CAUSAL_BLOCK);
        nc_hlx__head_gemm(head, 0, 1, n, head->shape->causal ? i0 + n : t, hd, a + i0 * lda, lda, b,
                          ldb, s + i0 * t, t, 0);
    }
}

/* out (t x hd) = P^T (t x t) X: chains over ascending queries. Before the diagonal P is +0 and
 * leaves a sum that begins at +0 alone, so a causal block of keys starts at its first query. */
static void nc_hlx__causal_transposed(const nc_hlx__head *head, const float *p, const float *x,
                                      size_t ldx, float *out, size_t ldo) {
    const size_t t = head->shape->seq, hd = head->shape->head_size;
    size_t k0;
    for (k0 = 0; k0 < t; k0 += NC_HLX__CAUSAL_BLOCK) {
        const size_t n = nc_hlx__min(t - k0, NC_HLX__CAUSAL_BLOCK);
        const size_t q0 = head->shape->causal ? k0 : 0;
        nc_hlx__head_gemm(head, 1, 0, n, hd, t - q0, p + q0 * t + k0, t, x + q0 * ldx, ldx,
                          out + k0 * ldo, ldo, 0);
    }
}

/* The visible entries of each row of a t x t block times the scale. */
static void nc_hlx__scale_rows(const nc_hlx__head *head, float *s) {
    const size_t t = head->shape->seq;
    size_t i, j;
    for (i = 0; i < t; i++)
        for (j = 0; j < (head->shape->causal ? i + 1 : t); j++)
            s[i * t + j] = s[i * t + j] * head->scale;
}

static void nc_hlx__attention_head(const nc_hlx__head *head, const nc_hlx__attention_job *job) {
    const size_t t = head->shape->seq, d = head->d;
    float *att = job->keep + head->index * t * t;
    nc_hlx__causal_scores(head, head->q, 3 * d, head->q + d, 3 * d, att);
    nc_hlx__scale_rows(head, att);
    nc_hlx_softmax(att, t, t, head->shape->causal);
    nc_hlx__causal_product(head, att, head->q + 2 * d, job->to + head->offset, d);
}

NC_API nc_status nc_hlx_attention(float *out, float *probabilities, const float *qkv,
                                  const nc_hlx_heads *shape, void *work, size_t work_bytes) {
    if (!probabilities) return NC_ERR_ARG;
    return nc_hlx__attend(nc_hlx__attention_head, 0, shape, qkv, NULL, NULL, NULL, out,
                          probabilities, work, work_bytes);
}

/* dV = P^T dO, dP = dO V^T, dS = softmax backward, dQ = dS K / sqrt(hd), dK = dS^T Q / sqrt(hd). */
static void nc_hlx__attention_head_backward(const nc_hlx__head *head,
                                            const nc_hlx__attention_job *job) {
    const size_t t = head->shape->seq, d = head->d;
    const float *att = job->kept + head->index * t * t, *dout = job->dout + head->offset;
    float *dq = job->to + (head->q - job->qkv), *ds = head->block;
    nc_hlx__causal_transposed(head, att, dout, d, dq + 2 * d, 3 * d);
    nc_hlx__causal_scores(head, dout, d, head->q + 2 * d, 3 * d, ds);
    nc_hlx_softmax_backward(ds, att, t, t, head->shape->causal);
    nc_hlx__scale_rows(head, ds);
    nc_hlx__causal_product(head, ds, head->q + d, dq, 3 * d);
    nc_hlx__causal_transposed(head, ds, head->q, 3 * d, dq + d, 3 * d);
}

NC_API nc_status nc_hlx_attention_backward(float *dqkv, const float *dout,
                                           const float *probabilities, const float *qkv,
                                           const nc_hlx_heads *shape, void *work,
                                           size_t work_bytes) {
    if (!probabilities || !dout) return NC_ERR_ARG;
    return nc_hlx__attend(nc_hlx__attention_head_backward, 0, shape, qkv, dout, NULL, probabilities,
                          dqkv, NULL, work, work_bytes);
}

/* A tile's scores of one query, the first `kept` of them visible, become exp(score - m'); m and l
 * are carried on. Returns c = exp(m - m'), 0 for the first tile. */
NC_HLX__INLINE void nc_hlx__flash_row_body(float *s, size_t kept, float scale, int first, float *m,
                                           float *l, float *c) {
    float p[NC_HLX__LANES], most;
    int j;
    for (j = 0; j < NC_HLX__LANES; j++) p[j] = s[j] * scale;
    most = nc_hlx__max(p, kept);
    if (!first && *m > most) most = *m;
    *c = first ? 0.0f : nc_hlx__exp1(*m - most);
    for (j = 0; j < NC_HLX__LANES; j++) {
        float e = nc_hlx__exp1(p[j] - most);
        p[j] = (size_t)j < kept ? e : 0.0f;
    }
    memcpy(s, p, sizeof p);
    *l = fmaf(first ? 0.0f : *l, *c, nc_hlx__tree(p));
    *m = most;
}
NC_HLX__VERSIONS(nc_hlx__flash_row,
                 (float *s, size_t kept, float scale, int first, float *m, float *l, float *c),
                 (s, kept, scale, first, m, l, c))

/* Visible keys of a tile at k0 for query i. */
static size_t nc_hlx__visible(const nc_hlx_heads *s, size_t i, size_t k0, size_t keys) {
    return s->causal ? nc_hlx__min(keys, i + 1 - k0) : keys;
}

/* Queries q0 .. q0 + n - 1 of one tile; lse may be null. */
static void nc_hlx__flash_queries(const nc_hlx__head *head, float *out, float *lse, size_t q0,
                                  size_t n) {
    const nc_hlx_heads *shape = head->shape;
    const size_t t = shape->seq, hd = shape->head_size, d = head->d;
    const size_t limit = shape->causal ? q0 + n : t;
    float *s = head->block, m[NC_HLX__TILE] = {0}, l[NC_HLX__TILE] = {0}, c;
    size_t k0, i, j;
    for (k0 = 0; k0 < limit; k0 += NC_HLX__TILE) {
        const size_t keys = nc_hlx__min(t - k0, NC_HLX__TILE);
        const float *k = head->q + d + k0 * 3 * d;
        memset(s, 0, NC_HLX__TILE * NC_HLX__TILE * sizeof *s);
        nc_hlx__head_gemm(head, 0, 1, n, keys, hd, head->q + q0 * 3 * d, 3 * d, k, 3 * d, s,
                          NC_HLX__TILE, 0);
        for (i = 0; i < n; i++) {
            float *o = out + (q0 + i) * d;
            nc_hlx__flash_row(s + i * NC_HLX__TILE, nc_hlx__visible(shape, q0 + i, k0, keys),
                              head->scale, k0 == 0, &m[i], &l[i], &c);
            for (j = 0; j < hd; j++) o[j] = k0 ? o[j] * c : 0.0f;
        }
        nc_hlx__head_gemm(head, 0, 0, n, hd, keys, s, NC_HLX__TILE, k + d, 3 * d, out + q0 * d, d,
                          1);
    }
    for (i = 0; i < n; i++) {
        float *o = out + (q0 + i) * d;
        for (j = 0; j < hd; j++) o[j] = o[j] / l[i];
        if (lse) lse[q0 + i] = m[i] + nc_hlx__log1(l[i]);
    }
}

static void nc_hlx__flash_head(const nc_hlx__head *head, const nc_hlx__attention_job *job) {
    const size_t t = head->shape->seq;
    size_t q0;
    for (q0 = 0; q0 < t; q0 += NC_HLX__TILE)
        nc_hlx__flash_queries(head, job->to + head->offset, job->keep + head->index * t, q0,
                              nc_hlx__min(t - q0, NC_HLX__TILE));
}

NC_API nc_status nc_hlx_flash_attention(float *out, float *lse, const float *qkv,
                                        const nc_hlx_heads *shape, void *work, size_t work_bytes) {
    if (!lse) return NC_ERR_ARG;
    return nc_hlx__attend(nc_hlx__flash_head, 1, shape, qkv, NULL, NULL, NULL, out, lse, work,
                          work_bytes);
}

/* One query's P and dS of a tile, from its scores and dP. */
NC_HLX__INLINE void nc_hlx__flash_dx_body(float *s, float *dp, size_t kept, float scale, float lse,
                                          float delta) {
    float p[NC_HLX__LANES], ds[NC_HLX__LANES];
    int j;
    memcpy(ds, dp, sizeof ds);
    for (j = 0; j < NC_HLX__LANES; j++) {
        float e = nc_hlx__exp1(s[j] * scale - lse), g = e * (ds[j] - delta) * scale;
        p[j] = (size_t)j < kept ? e : 0.0f;
        ds[j] = (size_t)j < kept ? g : 0.0f;
    }
    memcpy(s, p, sizeof p);
    memcpy(dp, ds, sizeof ds);
}
NC_HLX__VERSIONS(nc_hlx__flash_dx,
                 (float *s, float *dp, size_t kept, float scale, float lse, float delta),
                 (s, dp, kept, scale, lse, delta))

/* Key tiles ascend outside and query tiles inside: dK and dV of a key see ascending queries, dQ of
 * a query ascending keys. */
static void nc_hlx__flash_head_backward(const nc_hlx__head *head,
                                        const nc_hlx__attention_job *job) {
    const nc_hlx_heads *shape = head->shape;
    const size_t t = shape->seq, hd = shape->head_size, d = head->d;
    const float *dout = job->dout + head->offset, *out = job->out + head->offset;
    const float *lse = job->kept + head->index * t;
    float *dq = job->to + (head->q - job->qkv), *s = head->block;
    float *dp = s + NC_HLX__TILE * NC_HLX__TILE, *delta = dp + NC_HLX__TILE * NC_HLX__TILE;
    size_t q0, k0, i;
    for (i = 0; i < t; i++) {
        delta[i] = nc_hlx_dot(dout + i * d, out + i * d, hd);
        for (k0 = 0; k0 < 3; k0++) memset(dq + i * 3 * d + k0 * d, 0, hd * sizeof *dq);
    }
    for (k0 = 0; k0 < t; k0 += NC_HLX__TILE)
        for (q0 = shape->causal ? k0 : 0; q0 < t; q0 += NC_HLX__TILE) {
            const size_t keys = nc_hlx__min(t - k0, NC_HLX__TILE);
            const size_t n = nc_hlx__min(t - q0, NC_HLX__TILE);
            const float *q = head->q + q0 * 3 * d, *k = head->q + d + k0 * 3 * d;
            float *dk = dq + d + k0 * 3 * d;
            memset(s, 0, 2 * NC_HLX__TILE * NC_HLX__TILE * sizeof *s);
            nc_hlx__head_gemm(head, 0, 1, n, keys, hd, q, 3 * d, k, 3 * d, s, NC_HLX__TILE, 0);
            nc_hlx__head_gemm(head, 0, 1, n, keys, hd, dout + q0 * d, d, k + d, 3 * d, dp,
                              NC_HLX__TILE, 0);
            for (i = 0; i < n; i++)
                nc_hlx__flash_dx(s + i * NC_HLX__TILE, dp + i * NC_HLX__TILE,
                                 nc_hlx__visible(shape, q0 + i, k0, keys), head->scale, lse[q0 + i],
                                 delta[q0 + i]);
            nc_hlx__head_gemm(head, 1, 0, keys, hd, n, s, NC_HLX__TILE, dout + q0 * d, d, dk + d,
                              3 * d, 1);
            nc_hlx__head_gemm(head, 1, 0, keys, hd, n, dp, NC_HLX__TILE, q, 3 * d, dk, 3 * d, 1);
            nc_hlx__head_gemm(head, 0, 0, n, hd, keys, dp, NC_HLX__TILE, k, 3 * d, dq + q0 * 3 * d,
                              3 * d, 1);
        }
}

NC_API nc_status nc_hlx_flash_attention_backward(float *dqkv, const float *dout, const float *out,
                                                 const float *lse, const float *qkv,
                                                 const nc_hlx_heads *shape, void *work,
                                                 size_t work_bytes) {
    if (!dout || !out || !lse) return NC_ERR_ARG;
    return nc_hlx__attend(nc_hlx__flash_head_backward, 1, shape, qkv, dout, out, lse, dqkv, NULL,
                          work, work_bytes);
}

NC_HLX__INLINE uint32_t nc_hlx__bf16_bits(uint32_t u) {
    uint32_t rounded = u + UINT32_C(0x7FFF) + (u >> 16 & 1);
    return ((u & UINT32_C(0x7FFFFFFF)) > UINT32_C(0x7F800000) ? u | UINT32_C(0x00400000)
                                                              : rounded) &
           UINT32_C(0xFFFF0000);
}

NC_HLX__INLINE void nc_hlx__bf16_round_body(float *x, size_t n) {
    size_t i;
    for (i = 0; i < n; i++) x[i] = nc_hlx__float(nc_hlx__bf16_bits(nc_hlx__bits(x[i])));
}
NC_HLX__VERSIONS(nc_hlx__bf16_round, (float *x, size_t n), (x, n))

NC_HLX__INLINE void nc_hlx__bf16_pack_body(uint16_t *out, const float *x, size_t n) {
    size_t i;
    for (i = 0; i < n; i++) out[i] = (uint16_t)(nc_hlx__bf16_bits(nc_hlx__bits(x[i])) >> 16);
}
NC_HLX__VERSIONS(nc_hlx__bf16_pack, (uint16_t * out, const float *x, size_t n), (out, x, n))

NC_HLX__INLINE void nc_hlx__bf16_unpack_body(float *out, const uint16_t *x, size_t n) {
    size_t i;
    for (i = 0; i < n; i++) out[i] = nc_hlx__float((uint32_t)x[i] << 16);
}
NC_HLX__VERSIONS(nc_hlx__bf16_unpack, (float *out, const uint16_t *x, size_t n), (out, x, n))

NC_API void nc_hlx_bf16_round(float *x, size_t n) {
    NC_HLX__PIECES(n, NC_HLX__PIECE, nc_hlx__bf16_round(x + first, count));
}

NC_API void nc_hlx_bf16_pack(uint16_t *out, const float *x, size_t n) {
    NC_HLX__PIECES(n, NC_HLX__PIECE, nc_hlx__bf16_pack(out + first, x + first, count));
}

NC_API void nc_hlx_bf16_unpack(float *out, const uint16_t *x, size_t n) {
    NC_HLX__PIECES(n, NC_HLX__PIECE, nc_hlx__bf16_unpack(out + first, x + first, count));
}

/* Words of eight successive Philox counters: nc__philox in lanes. */
NC_HLX__INLINE void nc_hlx__philox8(uint32_t out[32], uint64_t seed, uint64_t counter,
                                    uint64_t stream) {
    uint32_t c0[8], c1[8], c2[8], c3[8], k0 = (uint32_t)seed, k1 = (uint32_t)(seed >> 32);
    int round, j;
    for (j = 0; j < 8; j++) {
        c0[j] = (uint32_t)(counter + (uint64_t)j);
        c1[j] = (uint32_t)((counter + (uint64_t)j) >> 32);
        c2[j] = (uint32_t)stream;
        c3[j] = (uint32_t)(stream >> 32);
    }
    for (round = 0; round < 10; round++) {
        for (j = 0; j < 8; j++) {
            uint64_t a = (uint64_t)UINT32_C(0xD2511F53) * c0[j];
            uint64_t b = (uint64_t)UINT32_C(0xCD9E8D57) * c2[j];
            c0[j] = (uint32_t)(b >> 32) ^ c1[j] ^ k0;
            c2[j] = (uint32_t)(a >> 32) ^ c3[j] ^ k1;
            c1[j] = (uint32_t)b;
            c3[j] = (uint32_t)a;
        }
        k0 += UINT32_C(0x9E3779B9);
        k1 += UINT32_C(0xBB67AE85);
    }
    for (j = 0; j < 8; j++) {
        out[4 * j] = c0[j];
        out[4 * j + 1] = c1[j];
        out[4 * j + 2] = c2[j];
        out[4 * j + 3] = c3[j];
    }
}

NC_HLX__INLINE void nc_hlx__drop_body(float *out, const float *x, size_t n, uint64_t first,
                                      uint32_t threshold, float scale, uint64_t seed,
                                      uint64_t stream) {
    uint32_t words[32];
    size_t i = 0, skip = (size_t)(first % 4), j, m;
    while (i < n) {
        nc_hlx__philox8(words, seed, (first + i) / 4, stream);
        m = nc_hlx__min(n - i, 32 - skip);
        for (j = 0; j < m; j++) out[i + j] = words[skip + j] >= threshold ? x[i + j] * scale : 0.0f;
        i += m;
        skip = 0;
    }
}
NC_HLX__VERSIONS(nc_hlx__drop,
                 (float *out, const float *x, size_t n, uint64_t first, uint32_t threshold,
                  float scale, uint64_t seed, uint64_t stream),
                 (out, x, n, first, threshold, scale, seed, stream))

/* A dropout rate in [0, 1) as the least word that keeps. */
static uint32_t nc_hlx__threshold(float rate) { return (uint32_t)((double)rate * 4294967296.0); }

NC_API void nc_hlx_dropout(float *out, const float *x, size_t n, uint64_t counter, float rate,
                           uint64_t seed, uint64_t stream) {
    const uint32_t threshold = nc_hlx__threshold(rate);
    const float scale = 1.0f / (1.0f - rate);
    NC_HLX__PIECES(n, NC_HLX__PIECE,
                   nc_hlx__drop(out + first, x + first, count, counter + first, threshold, scale,
                                seed, stream));
}

/* (1 + cos(pi x)) / 2 for 0 <= x <= 1 in float64 by its Taylor series around 1/2, where it is
 * (1 - sin(pi (x - 1/2))) / 2; the error stays below 1e-9, and no libm function is used. */
static double nc_hlx__half_cosine(double x) {
    double y = 3.14159265358979323846 * (x - 0.5), z = y * y;
    double s = -1.0 / 39916800.0;
    s = s * z + 1.0 / 362880.0;
    s = s * z - 1.0 / 5040.0;
    s = s * z + 1.0 / 120.0;
    s = s * z - 1.0 / 6.0;
    s = s * z + 1.0;
    return 0.5 - 0.5 * (s * y);
}

static nc_hlx_adamw nc_hlx__adamw_defaults(const nc_hlx_adamw *in) {
    nc_hlx_adamw a;
    memset(&a, 0, sizeof a);
    if (in) a = *in;
    if (a.lr <= 0.0f) a.lr = 3e-4f;
    if (a.beta1 <= 0.0f) a.beta1 = 0.9f;
    if (a.beta2 <= 0.0f) a.beta2 = 0.999f;
    if (a.eps <= 0.0f) a.eps = 1e-8f;
    return a;
}

NC_API float nc_hlx_learning_rate(const nc_hlx_adamw *adamw, uint64_t step) {
    nc_hlx_adamw a = nc_hlx__adamw_defaults(adamw);
    double share;
    if (step < a.warmup_steps) return (float)((double)a.lr * (double)step / (double)a.warmup_steps);
    if (a.decay_steps <= a.warmup_steps) return a.lr;
    if (step >= a.decay_steps) return a.lr_min;
    share = (double)(step - a.warmup_steps) / (double)(a.decay_steps - a.warmup_steps);
    return (float)((double)a.lr_min +
                   nc_hlx__half_cosine(share) * ((double)a.lr - (double)a.lr_min));
}

typedef struct nc_hlx__adam_step {
    float lr, beta1, beta2, eps, decay, scale, rest1, rest2, correct1, correct2;
} nc_hlx__adam_step;

/* b^n in float64 by repeated squaring: multiplications only, so the same everywhere. */
static double nc_hlx__power(double b, uint64_t n) {
    double result = 1.0;
    for (; n; n >>= 1) {
        if (n & 1) result = result * b;
        b = b * b;
    }
    return result;
}

/* What a step of AdamW takes besides the gradients; scale is left 1. */
static nc_hlx__adam_step nc_hlx__adam_scalars(const nc_hlx_adamw *adamw, uint64_t step) {
    nc_hlx_adamw a = nc_hlx__adamw_defaults(adamw);
    nc_hlx__adam_step s;
    s.lr = nc_hlx_learning_rate(&a, step);
    s.beta1 = a.beta1;
    s.beta2 = a.beta2;
    s.eps = a.eps;
    s.decay = a.weight_decay;
    s.scale = 1.0f;
    s.rest1 = 1.0f - a.beta1;
    s.rest2 = 1.0f - a.beta2;
    s.correct1 = (float)(1.0 - nc_hlx__power((double)a.beta1, step));
    s.correct2 = (float)(1.0 - nc_hlx__power((double)a.beta2, step));
    return s;
}

/* x[i] = sqrt(x[i]). With intrinsics, because sqrtf may set errno, which keeps compilers from
 * vector code; the root is correctly rounded everywhere. */
#ifdef NC_HLX__X86
NC_HLX__AVX512 static size_t nc_hlx__roots_avx512(float *x, size_t n) {
    size_t i;
    for (i = 0; i + 16 <= n; i += 16)
        _mm512_storeu_ps(x + i, _mm512_maskz_sqrt_ps(0xFFFF, _mm512_loadu_ps(x + i)));
    return i;
}
NC_HLX__AVX2 static size_t nc_hlx__roots_avx2(float *x, size_t n) {
    size_t i;
    for (i = 0; i + 8 <= n; i += 8) _mm256_storeu_ps(x + i, _mm256_sqrt_ps(_mm256_loadu_ps(x + i)));
    return i;
}
#endif
static void nc_hlx__roots(float *x, size_t n) {
    size_t i = 0;
#ifdef NC_HLX__X86
    if (nc_hlx_simd() == 2)
        i = nc_hlx__roots_avx512(x, n);
    else if (nc_hlx_simd() == 1)
        i = nc_hlx__roots_avx2(x, n);
#endif
    for (; i < n; i++) x[i] = sqrtf(x[i]);
}

/* m <- b1 m + (1-b1) g, v <- b2 v + (1-b2) g^2, p <- p - lr (mh / (sqrt(vh) + eps) + wd p), before
 * and after the root. */
NC_HLX__INLINE void nc_hlx__moments_body(float *root, const float *g, float *m, float *v,
                                         const nc_hlx__adam_step *step, size_t n) {
    const nc_hlx__adam_step s = *step; /* the compiler sees that no array changes it */
    size_t i;
    for (i = 0; i < n; i++) {
        float grad = g[i] * s.scale, square = fmaf(s.beta2, v[i], s.rest2 * grad * grad);
        m[i] = fmaf(s.beta1, m[i], s.rest1 * grad);
        v[i] = square;
        root[i] = square / s.correct2;
    }
}
NC_HLX__VERSIONS(nc_hlx__moments,
                 (float *root, const float *g, float *m, float *v, const nc_hlx__adam_step *s,
                  size_t n),
                 (root, g, m, v, s, n))

NC_HLX__INLINE void nc_hlx__move_body(float *p, const float *m, const float *root,
                                      const nc_hlx__adam_step *step, size_t n) {
    const nc_hlx__adam_step s = *step;
    size_t i;
    for (i = 0; i < n; i++) {
        float move = (m[i] / s.correct1) / (root[i] + s.eps);
        p[i] = fmaf(-s.lr, fmaf(s.decay, p[i], move), p[i]);
    }
}
NC_HLX__VERSIONS(nc_hlx__move,
                 (float *p, const float *m, const float *root, const nc_hlx__adam_step *s,
                  size_t n),
                 (p, m, root, s, n))

/* One piece, in blocks that stay in the first cache. */
static void nc_hlx__adamw_piece(float *p, const float *g, float *m, float *v, size_t n,
                                const nc_hlx__adam_step *s) {
    float root[512];
    size_t at;
    for (at = 0; at < n; at += 512) {
        const size_t count = nc_hlx__min(n - at, 512);
        nc_hlx__moments(root, g + at, m + at, v + at, s, count);
        nc_hlx__roots(root, count);
        nc_hlx__move(p + at, m + at, root, s, count);
    }
}

NC_API void nc_hlx_adamw_update(float *p, const float *g, float *m, float *v, size_t n,
                                const nc_hlx_adamw *adamw, uint64_t step, float scale) {
    nc_hlx__adam_step s = nc_hlx__adam_scalars(adamw, step);
    s.scale = scale;
    NC_HLX__PIECES(n, NC_HLX__PIECE,
                   nc_hlx__adamw_piece(p + first, g + first, m + first, v + first, count, &s));
}

/* >>model ========================================================================== */

/* Parameter tensors in checkpoint order; the last column says whether weight decay applies. */
enum {
    NC_HLX__WTE, /* token embedding (vocab, d) */
    NC_HLX__WPE, /* position embedding (seq, d) */
    NC_HLX__LN1_W,
    NC_HLX__LN1_B,
    NC_HLX__QKV_W, /* (d, 3d): y = x W + b, as GPT-2's Conv1D stores it */
    NC_HLX__QKV_B,
    NC_HLX__PROJ_W, /* (d, d) */
    NC_HLX__PROJ_B,
    NC_HLX__LN2_W,
    NC_HLX__LN2_B,
    NC_HLX__FC_W, /* (d, ffn) */
    NC_HLX__FC_B,
    NC_HLX__OUT_W, /* (ffn, d) */
    NC_HLX__OUT_B,
    NC_HLX__LNF_W,
    NC_HLX__LNF_B,
    NC_HLX__HEAD, /* (vocab, d), absent when tied */
    NC_HLX__TENSORS
};

typedef struct nc_hlx__layout {
    size_t offset[NC_HLX__TENSORS]; /* of layer 0 */
    size_t size[NC_HLX__TENSORS];
    size_t layer_stride;
    size_t total;
} nc_hlx__layout;

/* Activations of one layer, all (batch * seq) x width except att: probabilities (batch, heads, seq,
 * seq), or with flash lse (batch, heads, seq). */
typedef struct nc_hlx__layer {
    float *ln1, *ln1_mean, *ln1_rstd, *qkv, *att, *mixed, *after_att;
    float *ln2, *ln2_mean, *ln2_rstd, *fc, *gelu, *out;
    uint16_t *packed; /* with bf16: ln1, qkv, mixed, ln2, fc, gelu, one after the other */
} nc_hlx__layer;

/* A token and its probability, for sampling. */
typedef struct nc_hlx__candidate {
    float probability;
    uint32_t token;
} nc_hlx__candidate;

struct nc_hlx_model {
    nc_hlx_config config;
    nc_hlx__layout layout;
    nc_allocator hooks;
    int custom_hooks;
    int ready;                           /* a forward pass with targets awaits its backward pass */
    int dropping;                        /* this pass drops */
    uint32_t batch, seq, threads, micro; /* micro: batch of the step */
    uint64_t step, seed;
    nc_hlx_adamw adamw; /* of the last step */
    size_t state_bytes, work_bytes;
    float *parameters, *gradients, *m, *v; /* one arena */
    char *arena;                           /* the other: activations and scratch */
    nc_hlx__layer *layers;
    float *embedded, *final, *final_mean, *final_rstd, *logits, *losses;
    float *d_residual, *d_wide, *d_qkv, *d_narrow, *d_branch, *sums;
    float *rounded; /* with bf16: one layer's parameters, or the output matrix */
    uint32_t *tokens, *targets;
    nc_hlx__candidate *candidates;
    char *gemm_work, *head_work;
    size_t head_work_bytes;
};

/* The hooks that the model was made with, null for the default ones. */
static const nc_allocator *nc_hlx__hooks(const nc_hlx_model *model) {
    return model->custom_hooks ? &model->hooks : NULL;
}

static int nc_hlx__is_layer_tensor(int t) { return t >= NC_HLX__LN1_W && t <= NC_HLX__OUT_B; }

static int nc_hlx__decays(int t) {
    return t == NC_HLX__WTE || t == NC_HLX__WPE || t == NC_HLX__QKV_W || t == NC_HLX__PROJ_W ||
           t == NC_HLX__FC_W || t == NC_HLX__OUT_W || t == NC_HLX__HEAD;
}

static nc_status nc_hlx__complete(const nc_hlx_config *in, nc_hlx_config *out) {
    nc_hlx_config c;
    memset(&c, 0, sizeof c);
    if (in) c = *in;
    if (!c.vocab_size) c.vocab_size = 256;
    if (!c.d_model) c.d_model = 256;
    if (!c.num_layers) c.num_layers = 4;
    if (!c.num_heads) c.num_heads = 4;
    if (!c.ffn_dim) c.ffn_dim = 1024;
    if (!c.max_seq_len) c.max_seq_len = 128;
    if (!c.batch_size) c.batch_size = 8;
    if (!c.micro_batches) c.micro_batches = 1;
    if (c.bf16) c.flash = 1;
    *out = c;
    if (c.vocab_size >> 20 || c.d_model >> 20 || c.num_layers >> 20 || c.num_heads >> 20 ||
        c.ffn_dim >> 20 || c.max_seq_len >> 20 || c.batch_size >> 20 || c.tied_output > 1 ||
        c.micro_batches >> 20 || c.flash > 1 || c.recompute > 1 || c.bf16 > 1 ||
        !(c.dropout >= 0.0f && c.dropout < 1.0f) || c.d_model % c.num_heads ||
        (uint64_t)c.batch_size * c.micro_batches >> 20 ||
        (uint64_t)c.batch_size * c.micro_batches * c.max_seq_len >= UINT64_C(1) << 24)
        return NC_ERR_ARG;
    return NC_OK;
}

static void nc_hlx__make_layout(const nc_hlx_config *c, nc_hlx__layout *l) {
    size_t d = c->d_model, f = c->ffn_dim, offset = 0;
    int t;
    size_t size[NC_HLX__TENSORS];
    size[NC_HLX__WTE] = nc__mul_size(c->vocab_size, d);
    size[NC_HLX__WPE] = nc__mul_size(c->max_seq_len, d);
    size[NC_HLX__LN1_W] = size[NC_HLX__LN1_B] = size[NC_HLX__LN2_W] = size[NC_HLX__LN2_B] = d;
    size[NC_HLX__QKV_W] = nc__mul_size(3 * d, d);
    size[NC_HLX__QKV_B] = 3 * d;
    size[NC_HLX__PROJ_W] = nc__mul_size(d, d);
    size[NC_HLX__PROJ_B] = size[NC_HLX__OUT_B] = size[NC_HLX__LNF_W] = size[NC_HLX__LNF_B] = d;
    size[NC_HLX__FC_W] = size[NC_HLX__OUT_W] = nc__mul_size(d, f);
    size[NC_HLX__FC_B] = f;
    size[NC_HLX__HEAD] = c->tied_output ? 0 : size[NC_HLX__WTE];
    l->layer_stride = 0;
    for (t = 0; t < NC_HLX__TENSORS; t++)
        if (nc_hlx__is_layer_tensor(t)) l->layer_stride = nc__add_size(l->layer_stride, size[t]);
    for (t = 0; t < NC_HLX__TENSORS; t++) {
        l->size[t] = size[t];
        l->offset[t] = offset;
        offset = nc__add_size(offset, size[t]);
        if (t == NC_HLX__OUT_B)
            offset = nc__add_size(offset, nc__mul_size(c->num_layers - 1, l->layer_stride));
    }
    l->total = offset;
}

static float *nc_hlx__tensor(const nc_hlx_model *model, float *base, int t, size_t layer) {
    return base + model->layout.offset[t] +
           (nc_hlx__is_layer_tensor(t) ? layer * model->layout.layer_stride : 0);
}

static uint32_t nc_hlx__threads(void) {
#ifdef _OPENMP
    return (uint32_t)omp_get_max_threads();
#else
    return 1;
#endif
}

/* Carve `bytes` from the arena, or only count them while base is null. */
static void *nc_hlx__carve(char *base, size_t *used, size_t bytes) {
    void *p = base ? base + *used : NULL;
    *used = nc__add_size(*used, nc__add_size(bytes, 63) & ~(size_t)63);
    return p;
}

static float *nc_hlx__carve_f(char *base, size_t *used, size_t n) {
    return (float *)nc_hlx__carve(base, used, nc__mul_size(n, sizeof(float)));
}

/* The shape of a model's attention, for so many windows. */
static nc_hlx_heads nc_hlx__heads(const nc_hlx_config *c, size_t batch, size_t seq) {
    nc_hlx_heads s;
    s.batch = batch;
    s.seq = seq;
    s.heads = c->num_heads;
    s.head_size = c->d_model / c->num_heads;
    s.causal = 1;
    return s;
}

/* Values of a layer that bf16 packs, per row. */
static size_t nc_hlx__packed_width(const nc_hlx_config *c) {
    return 6 * (size_t)c->d_model + 2 * (size_t)c->ffn_dim;
}

/* With bf16, room for the larger of one layer's parameters and the output matrix. */
static size_t nc_hlx__rounded_size(const nc_hlx_model *model) {
    const size_t head = model->layout.size[NC_HLX__WTE], layer = model->layout.layer_stride;
    if (!model->config.bf16) return 0;
    return head > layer ? head : layer;
}

/* Called once with shared 1 for the buffers that all layers use in turn, then with shared 0 for
 * each layer's own. recompute shares everything; bf16 shares what is packed for the backward
 * pass. */
static void nc_hlx__carve_layer(const nc_hlx_config *c, char *base, size_t *used, nc_hlx__layer *x,
                                int shared) {
    size_t rows = (size_t)c->batch_size * c->max_seq_len, narrow = nc__mul_size(rows, c->d_model);
    size_t wide = nc__mul_size(rows, c->ffn_dim), scores = nc__mul_size(rows, c->num_heads);
    const int keeps = !c->recompute, whole = keeps && !c->bf16;
    if (!c->flash) scores = nc__mul_size(scores, c->max_seq_len);
    if (shared != keeps) {
        x->ln1_mean = nc_hlx__carve_f(base, used, rows);
        x->ln1_rstd = nc_hlx__carve_f(base, used, rows);
        x->att = nc_hlx__carve_f(base, used, scores);
        x->after_att = nc_hlx__carve_f(base, used, narrow);
        x->ln2_mean = nc_hlx__carve_f(base, used, rows);
        x->ln2_rstd = nc_hlx__carve_f(base, used, rows);
    }
    if (shared != whole) {
        x->ln1 = nc_hlx__carve_f(base, used, narrow);
        x->qkv = nc_hlx__carve_f(base, used, nc__mul_size(narrow, 3));
        x->mixed = nc_hlx__carve_f(base, used, narrow);
        x->ln2 = nc_hlx__carve_f(base, used, narrow);
        x->fc = nc_hlx__carve_f(base, used, wide);
        x->gelu = nc_hlx__carve_f(base, used, wide);
    }
    if (!shared && keeps && c->bf16)
        x->packed = (uint16_t *)nc_hlx__carve(
            base, used, nc__mul_size(rows, nc_hlx__packed_width(c) * sizeof(uint16_t)));
}

/* Lay out the activation arena; returns its size. With base null only the size is computed. */
static size_t nc_hlx__carve_all(nc_hlx_model *model, char *base) {
    const nc_hlx_config *c = &model->config;
    const nc_hlx_heads shape = nc_hlx__heads(c, c->batch_size, c->max_seq_len);
    size_t used = 0, rows = (size_t)c->batch_size * c->max_seq_len, d = c->d_model, l;
    size_t narrow = nc__mul_size(rows, d), wide = nc__mul_size(rows, c->ffn_dim);
    nc_hlx__layer x, *layers = (nc_hlx__layer *)nc_hlx__carve(
                         base, &used, nc__mul_size(c->num_layers, sizeof *layers));
    model->layers = layers;
    memset(&x, 0, sizeof x);
    nc_hlx__carve_layer(c, base, &used, &x, 1);
    for (l = 0; l < c->num_layers; l++) {
        nc_hlx__carve_layer(c, base, &used, &x, 0);
        x.out = nc_hlx__carve_f(base, &used, narrow);
        if (layers) layers[l] = x;
    }
    model->embedded = nc_hlx__carve_f(base, &used, narrow);
    model->final = nc_hlx__carve_f(base, &used, narrow);
    model->final_mean = nc_hlx__carve_f(base, &used, rows);
    model->final_rstd = nc_hlx__carve_f(base, &used, rows);
    model->logits = nc_hlx__carve_f(base, &used, nc__mul_size(rows, c->vocab_size));
    model->losses = nc_hlx__carve_f(base, &used, rows * c->micro_batches);
    model->d_residual = nc_hlx__carve_f(base, &used, narrow);
    model->d_wide = nc_hlx__carve_f(base, &used, wide);
    model->d_qkv = nc_hlx__carve_f(base, &used, nc__mul_size(narrow, 3));
    model->d_narrow = nc_hlx__carve_f(base, &used, narrow);
    model->d_branch = nc_hlx__carve_f(base, &used, c->dropout > 0.0f ? narrow : 0);
    model->sums = nc_hlx__carve_f(base, &used, model->layout.total / NC_HLX__CHUNK + 1);
    model->rounded = nc_hlx__carve_f(base, &used, nc_hlx__rounded_size(model));
    model->tokens = (uint32_t *)nc_hlx__carve(base, &used, rows * sizeof(uint32_t));
    model->targets = (uint32_t *)nc_hlx__carve(base, &used, rows * sizeof(uint32_t));
    model->candidates =
        (nc_hlx__candidate *)nc_hlx__carve(base, &used, c->vocab_size * sizeof(nc_hlx__candidate));
    model->gemm_work = (char *)nc_hlx__carve(base, &used, nc_hlx_gemm_work_bytes());
    model->head_work_bytes = nc_hlx_attention_work_bytes(&shape, (int)c->flash, model->threads);
    model->head_work = (char *)nc_hlx__carve(base, &used, model->head_work_bytes);
    return used;
}

/* Places of dropout: the embedding, then two a layer. */
enum { NC_HLX__DROP_EMBEDDING = 0, NC_HLX__DROP_ATTENTION = 1, NC_HLX__DROP_FFN = 2 };

/* Whether a loader, perhaps read from a file, can feed a model. */
static int nc_hlx__fits(const nc_hlx_model *model, const nc_hlx_loader *loader) {
    return model && loader && loader->data && loader->seq != 0 && loader->count > loader->seq &&
           loader->seq <= model->config.max_seq_len &&
           (loader->token_bytes == 1 || loader->token_bytes == 2 || loader->token_bytes == 4);
}

/* >>io ============================================================================= */
#ifndef NC_NO_STDIO

/* Layout, little-endian: 8 bytes magic, u32 version, u32 header bytes, 8 u32 configuration (the
 * order of nc_hlx_config), u64 step, u64 loader seed, u64 loader position, u32 loader seq, u32
 * zero, u64 parameter count, 7 float32 and 2 u32 of nc_hlx_adamw, u32 zero, 3 u32 and a float32
 * of nc_hlx_config, u64 seed of dropout, u32 bf16, 36 bytes zero; then parameters, first and
 * second moments as float32; then FNV-1a (64 bits) of everything before it. */
#define NC_HLX__MAGIC "NCHLXCKP"
enum { NC_HLX__VERSION = 3, NC_HLX__HEADER = 192 };

/* The optimiser as ten words of the header, to and from. */
static void nc_hlx__put_adamw(uint8_t *out, const nc_hlx_adamw *a) {
    const float f[7] = {a->lr,  a->lr_min,       a->beta1,    a->beta2,
                        a->eps, a->weight_decay, a->clip_norm};
    int i;
    for (i = 0; i < 7; i++) nc__put_le(out + 4 * i, nc_hlx__bits(f[i]), 4);
    nc__put_le(out + 28, a->warmup_steps, 4);
    nc__put_le(out + 32, a->decay_steps, 4);
}

static void nc_hlx__get_adamw(nc_hlx_adamw *a, const uint8_t *in) {
    float *const f[7] = {&a->lr,  &a->lr_min,       &a->beta1,    &a->beta2,
                         &a->eps, &a->weight_decay, &a->clip_norm};
    int i;
    for (i = 0; i < 7; i++) *f[i] = nc_hlx__float((uint32_t)nc__get_le(in + 4 * i, 4));
    a->warmup_steps = (uint32_t)nc__get_le(in + 28, 4);
    a->decay_steps = (uint32_t)nc__get_le(in + 32, 4);
}

/* float32 arrays between memory and file order; a no-op where memory is little-endian. */
static void nc_hlx__file_order(float *x, size_t n) {
    const uint16_t probe = 1;
    uint8_t first, *b = (uint8_t *)(void *)x;
    size_t i;
    memcpy(&first, &probe, 1);
    if (first == 1) return;
    for (i = 0; i < n; i++, b += 4) {
        uint8_t b0 = b[0], b1 = b[1];
        b[0] = b[3];
        b[1] = b[2];
        b[2] = b1;
        b[3] = b0;
    }
}

NC_API nc_status nc_hlx_file_open(nc_hlx_file *file, const char *path, nc_error *err) {
    nc_status status = NC_OK;
#if defined(__unix__) || defined(__APPLE__)
    struct stat info;
    void *data = MAP_FAILED;
    int fd, known;
#endif
    nc__clear(err);
    if (!file || !path) return nc__fail(err, NC_ERR_ARG, 0, 0, "no file or no path");
    memset(file, 0, sizeof *file);
#if defined(__unix__) || defined(__APPLE__)
    fd = open(path, O_RDONLY);
    if (fd < 0) return nc__fail(err, NC_ERR_IO, 0, 0, "cannot open '%.120s'", path);
    known = fstat(fd, &info) == 0 && info.st_size > 0 && (uint64_t)info.st_size <= SIZE_MAX;
    if (known) data = mmap(NULL, (size_t)info.st_size, PROT_READ, MAP_PRIVATE, fd, 0);
    if (data != MAP_FAILED) {
        file->memory = (uint8_t *)data;
        file->bytes = (size_t)info.st_size;
        file->mapped = 1;
    }
    (void)close(fd);
#endif
    if (!file->mapped) status = nc__file_read(path, NULL, &file->memory, &file->bytes, err);
    file->data = file->memory;
    return status;
}

NC_API void nc_hlx_file_close(nc_hlx_file *file) {
    if (!file || !file->data) return;
#if defined(__unix__) || defined(__APPLE__)
    if (file->mapped) (void)munmap(file->memory, file->bytes);
#endif
    if (!file->mapped) nc__free(NULL, file->memory, file->bytes + 1);
    memset(file, 0, sizeof *file);
}

NC_API nc_status nc_hlx_save(const nc_hlx_model *model, const nc_hlx_loader *loader,
                             const char *path, nc_error *err) {
    const nc_hlx_config *c;
    uint8_t header[NC_HLX__HEADER], checksum[8];
    uint64_t hash = NC__FNV_START;
    nc__span spans[5];
    nc_status status;
    size_t total, i;
    nc__clear(err);
    if (!model || !path) return nc__fail(err, NC_ERR_ARG, 0, 0, "no model or no path");
    c = &model->config;
    total = model->layout.total;
    memset(header, 0, sizeof header);
    memcpy(header, NC_HLX__MAGIC, 8);
    nc__put_le(header + 8, NC_HLX__VERSION, 4);
    nc__put_le(header + 12, NC_HLX__HEADER, 4);
    nc__put_le(header + 16, c->vocab_size, 4);
    nc__put_le(header + 20, c->d_model, 4);
    nc__put_le(header + 24, c->num_layers, 4);
    nc__put_le(header + 28, c->num_heads, 4);
    nc__put_le(header + 32, c->ffn_dim, 4);
    nc__put_le(header + 36, c->max_seq_len, 4);
    nc__put_le(header + 40, c->batch_size, 4);
    nc__put_le(header + 44, c->tied_output, 4);
    nc__put_le(header + 48, model->step, 8);
    nc__put_le(header + 56, loader ? loader->seed : 0, 8);
    nc__put_le(header + 64, loader ? loader->next : 0, 8);
    nc__put_le(header + 72, loader ? loader->seq : 0, 4);
    nc__put_le(header + 80, total, 8);
    nc_hlx__put_adamw(header + 88, &model->adamw);
    nc__put_le(header + 128, c->micro_batches, 4);
    nc__put_le(header + 132, c->flash, 4);
    nc__put_le(header + 136, c->recompute, 4);
    nc__put_le(header + 140, nc_hlx__bits(c->dropout), 4);
    nc__put_le(header + 144, model->seed, 8);
    nc__put_le(header + 152, c->bf16, 4);
    spans[0].data = header;
    spans[0].bytes = sizeof header;
    spans[1].data = model->parameters;
    spans[2].data = model->m;
    spans[3].data = model->v;
    for (i = 1; i < 4; i++) spans[i].bytes = total * sizeof(float);
    spans[4].data = checksum;
    spans[4].bytes = sizeof checksum;
    nc_hlx__file_order(model->parameters, 4 * total);
    for (i = 0; i < 4; i++) hash = nc__fnv1a(hash, spans[i].data, spans[i].bytes);
    nc__put_le(checksum, hash, 8);
    status = nc__file_write(path, spans, 5, err);
    nc_hlx__file_order(model->parameters, 4 * total);
    return status;
}

/* Check a header against the file size and fill the configuration. */
static nc_status nc_hlx__read_header(const uint8_t *data, size_t bytes, nc_hlx_config *c,
                                     nc_error *err) {
    nc_hlx__layout layout;
    uint64_t count;
    if (bytes < NC_HLX__HEADER + 8 || memcmp(data, NC_HLX__MAGIC, 8))
        return nc__fail(err, NC_ERR_FORMAT, 0, 0, "not an nc_hlx checkpoint");
    if (nc__get_le(data + 8, 4) != NC_HLX__VERSION || nc__get_le(data + 12, 4) != NC_HLX__HEADER)
        return nc__fail(err, NC_ERR_UNSUPPORTED, 0, 0, "checkpoint version %u is not supported",
                        (unsigned)nc__get_le(data + 8, 4));
    memset(c, 0, sizeof *c);
    c->vocab_size = (uint32_t)nc__get_le(data + 16, 4);
    c->d_model = (uint32_t)nc__get_le(data + 20, 4);
    c->num_layers = (uint32_t)nc__get_le(data + 24, 4);
    c->num_heads = (uint32_t)nc__get_le(data + 28, 4);
    c->ffn_dim = (uint32_t)nc__get_le(data + 32, 4);
    c->max_seq_len = (uint32_t)nc__get_le(data + 36, 4);
    c->batch_size = (uint32_t)nc__get_le(data + 40, 4);
    c->tied_output = (uint32_t)nc__get_le(data + 44, 4);
    c->micro_batches = (uint32_t)nc__get_le(data + 128, 4);
    c->flash = (uint32_t)nc__get_le(data + 132, 4);
    c->recompute = (uint32_t)nc__get_le(data + 136, 4);
    c->dropout = nc_hlx__float((uint32_t)nc__get_le(data + 140, 4));
    c->bf16 = (uint32_t)nc__get_le(data + 152, 4);
    count = nc__get_le(data + 80, 8);
    if (!c->vocab_size || !c->d_model || !c->num_layers || !c->num_heads || !c->ffn_dim ||
        !c->max_seq_len || !c->batch_size || !c->micro_batches || nc_hlx__complete(c, c) != NC_OK)
        return nc__fail(err, NC_ERR_FORMAT, 0, 0, "impossible configuration in checkpoint");
    nc_hlx__make_layout(c, &layout);
    if (layout.total != count || count > (SIZE_MAX - 4096) / 12 ||
        bytes != NC_HLX__HEADER + 12 * count + 8)
        return nc__fail(err, NC_ERR_FORMAT, 0, 0, "checkpoint is truncated or has trailing bytes");
    if (nc__get_le(data + bytes - 8, 8) != nc__fnv1a(NC__FNV_START, data, bytes - 8))
        return nc__fail(err, NC_ERR_MISMATCH, 0, 0, "checkpoint checksum does not match");
    return NC_OK;
}

NC_API nc_status nc_hlx_load(nc_hlx_model **model, nc_hlx_loader *loader, const char *path,
                             uint32_t batch_size, const nc_allocator *hooks, nc_error *err) {
    nc_hlx_config config;
    uint8_t *data;
    size_t bytes, total;
    nc_status status;
    nc__clear(err);
    if (!model || !path) return nc__fail(err, NC_ERR_ARG, 0, 0, "no model or no path");
    *model = NULL;
    status = nc__file_read(path, hooks, &data, &bytes, err);
    if (status != NC_OK) return status;
    status = nc_hlx__read_header(data, bytes, &config, err);
    if (status == NC_OK) {
        if (batch_size) config.batch_size = batch_size;
        status = nc_hlx_create(model, &config, hooks);
        if (status != NC_OK) nc__fail(err, status, 0, 0, "%s", nc_status_str(status));
    }
    if (status == NC_OK) {
        total = (*model)->layout.total;
        memcpy((*model)->parameters, data + NC_HLX__HEADER, total * sizeof(float));
        memcpy((*model)->m, data + NC_HLX__HEADER + 4 * total, 2 * total * sizeof(float));
        nc_hlx__file_order((*model)->parameters, total);
        nc_hlx__file_order((*model)->m, 2 * total);
        (*model)->step = nc__get_le(data + 48, 8);
        (*model)->seed = nc__get_le(data + 144, 8);
        nc_hlx__get_adamw(&(*model)->adamw, data + 88);
        if (loader) {
            loader->seed = nc__get_le(data + 56, 8);
            loader->next = nc__get_le(data + 64, 8);
            loader->seq = (uint32_t)nc__get_le(data + 72, 4);
        }
    }
    nc__free(hooks, data, bytes + 1);
    return status;
}

/* -- safetensors: u64 length, a JSON object of that length, then the tensors' bytes -- */

/* GPT-2's name of a tensor, %u the layer. */
static const char *const nc_hlx__gpt2_names[NC_HLX__TENSORS] = {"wte.weight",
                                                                "wpe.weight",
                                                                "h.%u.ln_1.weight",
                                                                "h.%u.ln_1.bias",
                                                                "h.%u.attn.c_attn.weight",
                                                                "h.%u.attn.c_attn.bias",
                                                                "h.%u.attn.c_proj.weight",
                                                                "h.%u.attn.c_proj.bias",
                                                                "h.%u.ln_2.weight",
                                                                "h.%u.ln_2.bias",
                                                                "h.%u.mlp.c_fc.weight",
                                                                "h.%u.mlp.c_fc.bias",
                                                                "h.%u.mlp.c_proj.weight",
                                                                "h.%u.mlp.c_proj.bias",
                                                                "ln_f.weight",
                                                                "ln_f.bias",
                                                                "lm_head.weight"};

static void nc_hlx__gpt2_name(char name[64], int t, size_t layer) {
    const char *from = nc_hlx__gpt2_names[t], *number = strchr(from, '%');
    if (number)
        snprintf(name, 64, "%.*s%u%s", (int)(number - from), from, (unsigned)layer, number + 2);
    else
        snprintf(name, 64, "%s", from);
}

/* Rows and columns of a tensor; rows 0 for a vector. */
static void nc_hlx__shape(const nc_hlx_config *c, int t, size_t shape[2]) {
    const size_t d = c->d_model, f = c->ffn_dim;
    shape[0] = 0;
    shape[1] = d;
    switch (t) {
    case NC_HLX__WTE:
    case NC_HLX__HEAD: shape[0] = c->vocab_size; break;
    case NC_HLX__WPE: shape[0] = c->max_seq_len; break;
    case NC_HLX__QKV_W: shape[0] = d, shape[1] = 3 * d; break;
    case NC_HLX__QKV_B: shape[1] = 3 * d; break;
    case NC_HLX__PROJ_W: shape[0] = d; break;
    case NC_HLX__FC_W: shape[0] = d, shape[1] = f; break;
    case NC_HLX__FC_B: shape[1] = f; break;
    case NC_HLX__OUT_W: shape[0] = f; break;
    default: break;
    }
}

NC_API nc_status nc_hlx_export(const nc_hlx_model *model, const char *path, nc_error *err) {
    const nc_hlx_config *c;
    nc__span spans[3];
    uint8_t length[8];
    size_t room, used = 0, layer, shape[2];
    const nc_allocator *hooks;
    nc_status status;
    char *json;
    int t;
    nc__clear(err);
    if (!model || !path) return nc__fail(err, NC_ERR_ARG, 0, 0, "no model or no path");
    c = &model->config;
    hooks = nc_hlx__hooks(model);
    room = 256 + 192 * (5 + 12 * (size_t)c->num_layers);
    json = (char *)nc__alloc(hooks, room);
    if (!json) return nc__fail(err, NC_ERR_MEMORY, 0, 0, "out of memory");
    used += (size_t)snprintf(json, room, "{\"__metadata__\":{\"format\":\"pt\",\"n_head\":\"%u\"}",
                             (unsigned)c->num_heads);
    for (t = 0; t < NC_HLX__TENSORS; t++)
        for (layer = 0; layer < (nc_hlx__is_layer_tensor(t) ? c->num_layers : 1u); layer++) {
            size_t at =
                (size_t)(nc_hlx__tensor(model, model->parameters, t, layer) - model->parameters);
            char name[64], rows[24] = "";
            if (model->layout.size[t] == 0) continue;
            nc_hlx__gpt2_name(name, t, layer);
            nc_hlx__shape(c, t, shape);
            if (shape[0]) snprintf(rows, sizeof rows, "%lu,", (unsigned long)shape[0]);
            used += (size_t)snprintf(
                json + used, room - used,
                ",\"%s\":{\"dtype\":\"F32\",\"shape\":[%s%lu],\"data_offsets\":[%llu,%llu]}", name,
                rows, (unsigned long)shape[1], (unsigned long long)at * 4,
                (unsigned long long)(at + model->layout.size[t]) * 4);
        }
    json[used++] = '}';
    while (used % 8) json[used++] = ' '; /* aligned data, as the format asks */
    nc__put_le(length, used, 8);
    spans[0].data = length;
    spans[0].bytes = 8;
    spans[1].data = json;
    spans[1].bytes = used;
    spans[2].data = model->parameters;
    spans[2].bytes = model->layout.total * sizeof(float);
    nc_hlx__file_order(model->parameters, model->layout.total);
    status = nc__file_write(path, spans, 3, err);
    nc_hlx__file_order(model->parameters, model->layout.total);
    nc__free(hooks, json, room);
    return status;
}

/* A reader of the header; after an error every step does nothing. */
typedef struct nc_hlx__json {
    const char *start, *p, *end;
    nc_error *err;
    nc_status status;
} nc_hlx__json;

static nc_status nc_hlx__json_fail(nc_hlx__json *j, const char *what) {
    if (j->status == NC_OK)
        j->status = nc__fail(j->err, NC_ERR_FORMAT, 1, (size_t)(j->p - j->start) + 1,
                             "safetensors header: expected %s", what);
    return j->status;
}

static char nc_hlx__json_peek(nc_hlx__json *j) {
    while (j->p < j->end && (*j->p == ' ' || *j->p == '\n' || *j->p == '\t' || *j->p == '\r'))
        j->p++;
    return j->status == NC_OK && j->p < j->end ? *j->p : '\0';
}

static int nc_hlx__json_take(nc_hlx__json *j, char c) {
    if (nc_hlx__json_peek(j) != c) return 0;
    j->p++;
    return 1;
}

/* A string without escapes, which tensor names do not need. */
static void nc_hlx__json_string(nc_hlx__json *j, char *out, size_t room) {
    size_t n = 0;
    out[0] = 0;
    if (!nc_hlx__json_take(j, '"')) {
        (void)nc_hlx__json_fail(j, "a string");
        return;
    }
    while (j->p < j->end && *j->p != '"' && *j->p != '\\' && n + 1 < room) out[n++] = *j->p++;
    out[n] = 0;
    if (!nc_hlx__json_take(j, '"')) (void)nc_hlx__json_fail(j, "a plain string's end");
}

/* A list of at most `most` natural numbers; returns how many. */
static size_t nc_hlx__json_numbers(nc_hlx__json *j, uint64_t *out, size_t most) {
    size_t n = 0;
    if (!nc_hlx__json_take(j, '[')) (void)nc_hlx__json_fail(j, "'['");
    if (nc_hlx__json_take(j, ']')) return 0;
    while (j->status == NC_OK) {
        uint64_t value = 0;
        int digits = 0;
        char c = nc_hlx__json_peek(j);
        for (; c >= '0' && c <= '9' && digits < 18; digits++) {
            value = value * 10 + (uint64_t)(c - '0');
            j->p++;
            c = j->p < j->end ? *j->p : '\0';
        }
        if (!digits || (c >= '0' && c <= '9') || n == most) {
            (void)nc_hlx__json_fail(j, "a number");
            break;
        }
        out[n++] = value;
        if (nc_hlx__json_take(j, ']')) break;
        if (!nc_hlx__json_take(j, ',')) (void)nc_hlx__json_fail(j, "',' or ']'");
    }
    return n;
}

/* The tensor of that name, or -1; *layer gets its layer. */
static int nc_hlx__tensor_named(const nc_hlx_model *model, const char *name, size_t *layer) {
    char candidate[64];
    int t;
    if (!strncmp(name, "transformer.", 12)) name += 12;
    for (t = 0; t < NC_HLX__TENSORS; t++)
        for (*layer = 0; *layer < (nc_hlx__is_layer_tensor(t) ? model->config.num_layers : 1u);
             ++*layer) {
            nc_hlx__gpt2_name(candidate, t, *layer);
            if (model->layout.size[t] && !strcmp(candidate, name)) return t;
        }
    return -1;
}

/* Names that a GPT-2 file has beside its parameters. */
static int nc_hlx__passed_over(const char *name, int tied) {
    const char *dot = strstr(name, ".attn.");
    return (dot && (!strcmp(dot, ".attn.bias") || !strcmp(dot, ".attn.masked_bias"))) ||
           (tied && !strcmp(name, "lm_head.weight"));
}

/* One entry of the header: `"name": {...}`. Fills seen and copies to `to`. */
static void nc_hlx__read_tensor(nc_hlx__json *j, nc_hlx_model *model, const uint8_t *data,
                                size_t bytes, float *to, size_t *filled) {
    char name[96], key[32], type[16] = "";
    uint64_t numbers[8], shape[8], offsets[2] = {1, 0};
    size_t dimensions = 0, layer = 0, expected[2], at;
    int t;
    nc_hlx__json_string(j, name, sizeof name);
    if (!nc_hlx__json_take(j, ':') || !nc_hlx__json_take(j, '{')) {
        (void)nc_hlx__json_fail(j, "':' and '{'");
        return;
    }
    while (j->status == NC_OK && !nc_hlx__json_take(j, '}')) {
        nc_hlx__json_string(j, key, sizeof key);
        if (!nc_hlx__json_take(j, ':')) (void)nc_hlx__json_fail(j, "':'");
        if (!strcmp(name, "__metadata__")) {
            char text[256];
            nc_hlx__json_string(j, text, sizeof text);
        } else if (!strcmp(key, "dtype")) {
            nc_hlx__json_string(j, type, sizeof type);
        } else if (!strcmp(key, "shape")) {
            dimensions = nc_hlx__json_numbers(j, numbers, 8);
            memcpy(shape, numbers, sizeof shape);
        } else if (!strcmp(key, "data_offsets")) {
            if (nc_hlx__json_numbers(j, numbers, 8) != 2) (void)nc_hlx__json_fail(j, "two offsets");
            memcpy(offsets, numbers, sizeof offsets);
        } else {
            (void)nc_hlx__json_fail(j, "dtype, shape or data_offsets");
        }
        if (nc_hlx__json_peek(j) != '}' && !nc_hlx__json_take(j, ','))
            (void)nc_hlx__json_fail(j, "',' or '}'");
    }
    if (j->status != NC_OK || !strcmp(name, "__metadata__")) return;
    if (nc_hlx__passed_over(name, (int)model->config.tied_output)) return;
    t = nc_hlx__tensor_named(model, name, &layer);
    if (t < 0) {
        j->status =
            nc__fail(j->err, NC_ERR_MISMATCH, 0, 0, "'%.90s' is no tensor of this model", name);
        return;
    }
    nc_hlx__shape(&model->config, t, expected);
    if (strcmp(type, "F32")) {
        j->status =
            nc__fail(j->err, NC_ERR_UNSUPPORTED, 0, 0, "'%.90s' is %s, not F32", name, type);
    } else if (offsets[0] > offsets[1] || offsets[1] > bytes) {
        j->status = nc__fail(j->err, NC_ERR_FORMAT, 0, 0, "'%.90s' lies outside the file", name);
    } else if (dimensions != (expected[0] ? 2u : 1u) || (expected[0] && shape[0] != expected[0]) ||
               shape[dimensions - 1] != expected[1] ||
               offsets[1] - offsets[0] != model->layout.size[t] * sizeof(float)) {
        j->status = nc__fail(j->err, NC_ERR_MISMATCH, 0, 0, "'%.90s' has another shape", name);
    } else {
        at = (size_t)(nc_hlx__tensor(model, model->parameters, t, layer) - model->parameters);
        memcpy(to + at, data + offsets[0], model->layout.size[t] * sizeof(float));
        *filled += model->layout.size[t];
    }
}

NC_API nc_status nc_hlx_import(nc_hlx_model *model, const char *path, nc_error *err) {
    const nc_allocator *hooks;
    nc_hlx__json j;
    uint8_t *data;
    size_t bytes, filled = 0, total;
    uint64_t length;
    float *to;
    nc__clear(err);
    if (!model || !path) return nc__fail(err, NC_ERR_ARG, 0, 0, "no model or no path");
    hooks = nc_hlx__hooks(model);
    total = model->layout.total;
    memset(&j, 0, sizeof j);
    j.err = err;
    j.status = nc__file_read(path, hooks, &data, &bytes, err);
    if (j.status != NC_OK) return j.status;
    length = bytes >= 8 ? nc__get_le(data, 8) : UINT64_MAX;
    to = (float *)nc__calloc(hooks, total * sizeof *to);
    if (!to)
        j.status = nc__fail(err, NC_ERR_MEMORY, 0, 0, "out of memory");
    else if (bytes < 8 || length > bytes - 8)
        j.status = nc__fail(err, NC_ERR_FORMAT, 0, 0, "not a safetensors file");
    if (j.status == NC_OK) {
        j.start = j.p = (const char *)data + 8;
        j.end = j.start + length;
        if (!nc_hlx__json_take(&j, '{')) (void)nc_hlx__json_fail(&j, "'{'");
        while (j.status == NC_OK) {
            nc_hlx__read_tensor(&j, model, data + 8 + length, bytes - 8 - (size_t)length, to,
                                &filled);
            if (nc_hlx__json_take(&j, '}')) break;
            if (!nc_hlx__json_take(&j, ',')) (void)nc_hlx__json_fail(&j, "',' or '}'");
        }
    }
    if (j.status == NC_OK && filled != total)
        j.status = nc__fail(err, NC_ERR_MISMATCH, 0, 0, "%s tensors: %lu of %lu parameters",
                            filled < total ? "missing" : "repeated", (unsigned long)filled,
                            (unsigned long)total);
    if (j.status == NC_OK) {
        memcpy(model->parameters, to, total * sizeof *to);
        nc_hlx__file_order(model->parameters, total);
        memset(model->m, 0, total * sizeof(float));
        memset(model->v, 0, total * sizeof(float));
        memset(&model->adamw, 0, sizeof model->adamw);
        model->step = 0;
        model->ready = 0;
    }
    nc__free(hooks, to, total * sizeof *to);
    nc__free(hooks, data, bytes + 1);
    return j.status;
}
#endif /* NC_NO_STDIO */

/* >>bpe ============================================================================ */

enum { NC_HLX__WORD = 64, NC_HLX__BPE_LIMIT = 65536 };

/* Merge i makes token 256 + i of pair[i] = first 2^32 + second. rank finds a pair's merge: open
 * addressing over `slots`, a power of two; 0 is empty, else the index + 1. */
struct nc_hlx_bpe {
    nc_allocator hooks;
    int custom_hooks;
    uint32_t merges, room, slots;
    uint64_t *pair;
    uint32_t *rank, *length; /* bytes of token 256 + i */
};

static uint64_t nc_hlx__mix(uint64_t x) { /* splitmix64's finaliser */
    x = (x ^ (x >> 30)) * UINT64_C(0xBF58476D1CE4E5B9);
    x = (x ^ (x >> 27)) * UINT64_C(0x94D049BB133111EB);
    return x ^ (x >> 31);
}

static size_t nc_hlx__bpe_bytes(uint32_t room) {
    return (size_t)room * (sizeof(uint64_t) + 5 * sizeof(uint32_t)) + 64;
}

static nc_hlx_bpe *nc_hlx__bpe_new(uint32_t room, const nc_allocator *hooks) {
    nc_hlx_bpe *bpe = (nc_hlx_bpe *)nc__calloc(hooks, sizeof *bpe);
    if (!bpe) return NULL;
    if (hooks) bpe->hooks = *hooks;
    bpe->custom_hooks = hooks != NULL;
    for (bpe->room = 16; bpe->room < room;) bpe->room *= 2;
    bpe->slots = 4 * bpe->room;
    bpe->pair = (uint64_t *)nc__calloc(hooks, nc_hlx__bpe_bytes(bpe->room));
    if (!bpe->pair) {
        nc__free(hooks, bpe, sizeof *bpe);
        return NULL;
    }
    bpe->rank = (uint32_t *)(void *)(bpe->pair + bpe->room);
    bpe->length = bpe->rank + bpe->slots;
    return bpe;
}

NC_API void nc_hlx_bpe_destroy(nc_hlx_bpe *bpe) {
    nc_allocator hooks;
    int custom;
    if (!bpe) return;
    hooks = bpe->hooks;
    custom = bpe->custom_hooks;
    nc__free(custom ? &hooks : NULL, bpe->pair, nc_hlx__bpe_bytes(bpe->room));
    nc__free(custom ? &hooks : NULL, bpe, sizeof *bpe);
}

NC_API uint32_t nc_hlx_bpe_vocab(const nc_hlx_bpe *bpe) { return 256 + bpe->merges; }

/* The merge of a pair, or UINT32_MAX. */
static uint32_t nc_hlx__bpe_rank(const nc_hlx_bpe *bpe, uint64_t pair) {
    size_t at = (size_t)nc_hlx__mix(pair) & (bpe->slots - 1);
    for (; bpe->rank[at]; at = (at + 1) & (bpe->slots - 1))
        if (bpe->pair[bpe->rank[at] - 1] == pair) return bpe->rank[at] - 1;
    return UINT32_MAX;
}

static uint32_t nc_hlx__token_length(const nc_hlx_bpe *bpe, uint64_t token) {
    return token < 256 ? 1 : bpe->length[token - 256];
}

/* Append a merge; the pair is new and both tokens exist. */
static void nc_hlx__bpe_add(nc_hlx_bpe *bpe, uint64_t pair) {
    size_t at = (size_t)nc_hlx__mix(pair) & (bpe->slots - 1);
    while (bpe->rank[at]) at = (at + 1) & (bpe->slots - 1);
    bpe->pair[bpe->merges] = pair;
    bpe->length[bpe->merges] =
        nc_hlx__token_length(bpe, pair >> 32) + nc_hlx__token_length(bpe, pair & UINT32_MAX);
    bpe->rank[at] = ++bpe->merges;
}

static int nc_hlx__white(uint8_t c) { return c == ' ' || (c >= '\t' && c <= '\r'); }

/* Length of the word at the start of text. */
static size_t nc_hlx__word(const uint8_t *text, size_t bytes) {
    size_t n = 1;
    while (n < bytes && n < NC_HLX__WORD &&
           !(nc_hlx__white(text[n]) && !nc_hlx__white(text[n - 1])))
        n++;
    return n;
}

/* Replace a pair by a token in n tokens, left to right; returns how many are left. */
static size_t nc_hlx__merge(uint32_t *tokens, size_t n, uint64_t pair, uint32_t token) {
    size_t i, kept = 0;
    for (i = 0; i < n; i++) {
        int found = i + 1 < n && ((uint64_t)tokens[i] << 32 | tokens[i + 1]) == pair;
        tokens[kept++] = found ? token : tokens[i];
        i += (size_t)found;
    }
    return kept;
}

NC_API size_t nc_hlx_bpe_encode(const nc_hlx_bpe *bpe, const void *text, size_t bytes,
                                uint32_t *tokens) {
    const uint8_t *from = (const uint8_t *)text;
    size_t at = 0, count = 0;
    while (at < bytes) {
        uint32_t *word = tokens + count;
        size_t n = nc_hlx__word(from + at, bytes - at), i;
        for (i = 0; i < n; i++) word[i] = from[at + i];
        at += n;
        for (;;) { /* the earliest merge first, as they were learned */
            uint32_t best = UINT32_MAX;
            for (i = 0; i + 1 < n; i++) {
                uint32_t r = nc_hlx__bpe_rank(bpe, (uint64_t)word[i] << 32 | word[i + 1]);
                best = r < best ? r : best;
            }
            if (best == UINT32_MAX) break;
            n = nc_hlx__merge(word, n, bpe->pair[best], 256 + best);
        }
        count += n;
    }
    return count;
}

NC_API nc_status nc_hlx_bpe_decode(const nc_hlx_bpe *bpe, const uint32_t *tokens, size_t n,
                                   uint8_t *out, size_t room, size_t *written) {
    uint32_t stack[NC_HLX__WORD + 1]; /* a token of 64 bytes has at most 64 pieces open */
    size_t i;
    *written = 0;
    for (i = 0; i < n; i++)
        if (tokens[i] >= 256 + bpe->merges) return NC_ERR_FORMAT;
    for (i = 0; i < n; i++) {
        size_t open = 1;
        stack[0] = tokens[i];
        while (open) {
            uint32_t token = stack[--open];
            if (token >= 256) { /* the second half waits below the first */
                uint64_t pair = bpe->pair[token - 256];
                stack[open++] = (uint32_t)pair;
                stack[open++] = (uint32_t)(pair >> 32);
                continue;
            }
            if (*written < room) out[*written] = (uint8_t)token;
            ++*written;
        }
    }
    return NC_OK;
}

/* Different words of a text: where each lies in `tokens`, its length now, how often it occurs. */
typedef struct nc_hlx__words {
    uint32_t *tokens, *slot; /* slot: open addressing, index + 1 */
    size_t *start, *count;
    uint8_t *length;
    size_t n, slots, used;
} nc_hlx__words;

static void nc_hlx__add_word(nc_hlx__words *w, const uint8_t *word, size_t n) {
    size_t at = (size_t)nc__fnv1a(NC__FNV_START, word, n) & (w->slots - 1), i;
    for (; w->slot[at]; at = (at + 1) & (w->slots - 1)) {
        size_t k = w->slot[at] - 1;
        if (w->length[k] != n) continue;
        for (i = 0; i < n && w->tokens[w->start[k] + i] == word[i]; i++) {
        }
        if (i < n) continue;
        w->count[k]++;
        return;
    }
    w->slot[at] = (uint32_t)(w->n + 1);
    w->start[w->n] = w->used;
    w->length[w->n] = (uint8_t)n;
    w->count[w->n++] = 1;
    for (i = 0; i < n; i++) w->tokens[w->used++] = word[i];
}

/* Counts of pairs: open addressing, the key + 1 so that 0 is empty. */
typedef struct nc_hlx__pairs {
    uint64_t *key;
    size_t *count;
    size_t slots;
} nc_hlx__pairs;

/* The most frequent pair, smallest first among equals; 0 when none occurs twice. */
static int nc_hlx__best_pair(const nc_hlx__words *w, nc_hlx__pairs *p, uint64_t *best) {
    size_t k, i, at, most = 1;
    memset(p->key, 0, p->slots * sizeof *p->key);
    for (k = 0; k < w->n; k++)
        for (i = 0; i + 1 < w->length[k]; i++) {
            const uint32_t *t = w->tokens + w->start[k] + i;
            uint64_t key = ((uint64_t)t[0] << 32 | t[1]) + 1;
            at = (size_t)nc_hlx__mix(key) & (p->slots - 1);
            while (p->key[at] && p->key[at] != key) at = (at + 1) & (p->slots - 1);
            p->count[at] = (p->key[at] ? p->count[at] : 0) + w->count[k];
            p->key[at] = key;
            if (p->count[at] > most || (p->count[at] == most && most > 1 && key - 1 < *best)) {
                most = p->count[at];
                *best = key - 1;
            }
        }
    return most > 1;
}

NC_API nc_status nc_hlx_bpe_train(nc_hlx_bpe **out, const void *text, size_t bytes, uint32_t vocab,
                                  const nc_allocator *hooks, nc_progress_fn progress, void *user) {
    const uint8_t *from = (const uint8_t *)text;
    const size_t n = bytes ? bytes : 1;
    nc_hlx__words w;
    nc_hlx__pairs p;
    nc_status status = NC_ERR_MEMORY;
    nc_hlx_bpe *bpe;
    size_t at, k;
    if (!out) return NC_ERR_ARG;
    *out = NULL;
    if ((bytes && !text) || vocab < 256 || vocab > NC_HLX__BPE_LIMIT || bytes >> 31)
        return NC_ERR_ARG;
    memset(&w, 0, sizeof w);
    memset(&p, 0, sizeof p);
    for (w.slots = 64; w.slots < 2 * n;) w.slots *= 2;
    bpe = nc_hlx__bpe_new(vocab - 256, hooks);
    w.tokens = (uint32_t *)nc__alloc(hooks, n * sizeof *w.tokens);
    w.slot = (uint32_t *)nc__calloc(hooks, w.slots * sizeof *w.slot);
    w.start = (size_t *)nc__alloc(hooks, n * sizeof *w.start);
    w.count = (size_t *)nc__alloc(hooks, n * sizeof *w.count);
    w.length = (uint8_t *)nc__alloc(hooks, n);
    p.key = (uint64_t *)nc__alloc(hooks, w.slots * sizeof *p.key);
    p.count = (size_t *)nc__alloc(hooks, w.slots * sizeof *p.count);
    if (bpe && w.tokens && w.slot && w.start && w.count && w.length && p.key && p.count) {
        status = NC_OK;
        for (at = 0; at < bytes; at += k) {
            k = nc_hlx__word(from + at, bytes - at);
            nc_hlx__add_word(&w, from + at, k);
        }
        for (p.slots = 64; p.slots < 2 * w.used;)
            p.slots *= 2; /* as many pairs at most, so w.slots are enough */
        while (bpe->merges < vocab - 256 && status == NC_OK) {
            uint64_t best = 0;
            if (!nc_hlx__best_pair(&w, &p, &best)) break;
            nc_hlx__bpe_add(bpe, best);
            for (k = 0; k < w.n; k++)
                w.length[k] = (uint8_t)nc_hlx__merge(w.tokens + w.start[k], w.length[k], best,
                                                     255 + bpe->merges);
            if (progress && progress(user, bpe->merges, vocab - 256)) status = NC_ERR_CANCELLED;
        }
    }
    nc__free(hooks, w.tokens, n * sizeof *w.tokens);
    nc__free(hooks, w.slot, w.slots * sizeof *w.slot);
    nc__free(hooks, w.start, n * sizeof *w.start);
    nc__free(hooks, w.count, n * sizeof *w.count);
    nc__free(hooks, w.length, n);
    nc__free(hooks, p.key, w.slots * sizeof *p.key);
    nc__free(hooks, p.count, w.slots * sizeof *p.count);
    if (status == NC_OK)
        *out = bpe;
    else
        nc_hlx_bpe_destroy(bpe);
    return status;
}

#ifndef NC_NO_STDIO
/* Layout, little-endian: 8 bytes magic, u32 version, u32 merges, then two u32 a merge, then FNV-1a
 * (64 bits) of everything before it. */
#define NC_HLX__BPE_MAGIC "NCHLXBPE"

NC_API nc_status nc_hlx_bpe_save(const nc_hlx_bpe *bpe, const char *path, nc_error *err) {
    const nc_allocator *hooks;
    size_t bytes, i;
    uint8_t *data;
    nc__span span;
    nc_status status;
    nc__clear(err);
    if (!bpe || !path) return nc__fail(err, NC_ERR_ARG, 0, 0, "no tokenizer or no path");
    hooks = bpe->custom_hooks ? &bpe->hooks : NULL;
    bytes = 24 + 8 * (size_t)bpe->merges;
    data = (uint8_t *)nc__alloc(hooks, bytes);
    if (!data) return nc__fail(err, NC_ERR_MEMORY, 0, 0, "out of memory");
    memcpy(data, NC_HLX__BPE_MAGIC, 8);
    nc__put_le(data + 8, 1, 4);
    nc__put_le(data + 12, bpe->merges, 4);
    for (i = 0; i < bpe->merges; i++) {
        nc__put_le(data + 16 + 8 * i, bpe->pair[i] >> 32, 4);
        nc__put_le(data + 20 + 8 * i, bpe->pair[i] & UINT32_MAX, 4);
    }
    nc__put_le(data + bytes - 8, nc__fnv1a(NC__FNV_START, data, bytes - 8), 8);
    span.data = data;
    span.bytes = bytes;
    status = nc__file_write(path, &span, 1, err);
    nc__free(hooks, data, bytes);
    return status;
}

NC_API nc_status nc_hlx_bpe_load(nc_hlx_bpe **out, const char *path, const nc_allocator *hooks,
                                 nc_error *err) {
    nc_hlx_bpe *bpe = NULL;
    size_t bytes, i;
    uint64_t count;
    uint8_t *data;
    nc_status status;
    nc__clear(err);
    if (!out || !path) return nc__fail(err, NC_ERR_ARG, 0, 0, "no result or no path");
    *out = NULL;
    status = nc__file_read(path, hooks, &data, &bytes, err);
    if (status != NC_OK || !data) return status;
    count = bytes >= 24 ? nc__get_le(data + 12, 4) : UINT64_MAX;
    if (bytes < 24 || memcmp(data, NC_HLX__BPE_MAGIC, 8) || nc__get_le(data + 8, 4) != 1 ||
        count > NC_HLX__BPE_LIMIT - 256 || bytes != 24 + 8 * count)
        status = nc__fail(err, NC_ERR_FORMAT, 0, 0, "not an nc_hlx tokenizer");
    else if (nc__get_le(data + bytes - 8, 8) != nc__fnv1a(NC__FNV_START, data, bytes - 8))
        status = nc__fail(err, NC_ERR_MISMATCH, 0, 0, "tokenizer checksum does not match");
    else if (!(bpe = nc_hlx__bpe_new((uint32_t)count, hooks)))
        status = nc__fail(err, NC_ERR_MEMORY, 0, 0, "out of memory");
    for (i = 0; status == NC_OK && bpe && i < count; i++) {
        uint64_t a = nc__get_le(data + 16 + 8 * i, 4), b = nc__get_le(data + 20 + 8 * i, 4);
        if (a >= 256 + i || b >= 256 + i || nc_hlx__bpe_rank(bpe, a << 32 | b) != UINT32_MAX ||
            nc_hlx__token_length(bpe, a) + nc_hlx__token_length(bpe, b) > NC_HLX__WORD)
            status =
                nc__fail(err, NC_ERR_FORMAT, 0, 0, "merge %lu is impossible", (unsigned long)i);
        else
            nc_hlx__bpe_add(bpe, a << 32 | b);
    }
    nc__free(hooks, data, bytes + 1);
    if (status == NC_OK)
        *out = bpe;
    else
        nc_hlx_bpe_destroy(bpe);
    return status;
}
#endif

/* >>gpu ============================================================================ */
#ifdef NC_GPU

/* Push constants of the gemm kernel: one matrix a workgroup layer z, head z mod heads of window
 * z / heads. Offsets and strides count floats. */
typedef struct nc_hlx__gemm_push {
    uint32_t m, n, k, trans_a, trans_b, accumulate, heads, lda, ldb, ldc, off_a, off_b, off_c;
    uint32_t window_a, window_b, window_c, head_a, head_b, head_c, scaled;
    float scale;
    uint32_t epilogue, off_bias, off_residual, off_gelu; /* 1 bias, 2 residual, 4 gelu */
} nc_hlx__gemm_push;

/* Elements of C that a workgroup of the gemm kernel owns, each way. */
enum { NC_HLX__GEMM_TILE = 64 };

static nc_hlx__gemm_push nc_hlx__plain_gemm(int trans_a, int trans_b, size_t m, size_t n, size_t k,
                                            int accumulate) {
    nc_hlx__gemm_push push;
    memset(&push, 0, sizeof push);
    push.m = (uint32_t)m;
    push.n = (uint32_t)n;
    push.k = (uint32_t)k;
    push.trans_a = trans_a != 0;
    push.trans_b = trans_b != 0;
    push.accumulate = accumulate != 0;
    push.heads = 1;
    push.lda = (uint32_t)(trans_a ? m : k);
    push.ldb = (uint32_t)(trans_b ? k : n);
    push.ldc = (uint32_t)n;
    return push;
}

/* Groups of the gemm kernel along a side of n elements. */
static size_t nc_hlx__gemm_groups(size_t n) {
    return (n + NC_HLX__GEMM_TILE - 1) / NC_HLX__GEMM_TILE;
}

NC_API nc_status nc_hlx_gpu_gemm(nc_gpu *device, int trans_a, int trans_b, size_t m, size_t n,
                                 size_t k, const float *a, const float *b, float *c,
                                 int accumulate) {
    nc_hlx__gemm_push push;
    nc_gpu_buffer *result;
    nc_gpu_job job;
    if (!device || !a || !b || !c || m == 0 || n == 0 || k == 0) return NC_ERR_ARG;
    if (m > 65535 * 16 || n > 65535 * 16 || k > 1 << 20 || (uint64_t)m * k >> 32 ||
        (uint64_t)k * n >> 32 || (uint64_t)m * n >> 32)
        return NC_ERR_LIMIT;
    if (!nc_gpu_get_caps(device)->contract) return NC_ERR_UNSUPPORTED;
    push = nc_hlx__plain_gemm(trans_a, trans_b, m, n, k, accumulate);
    nc_gpu_job_start(&job, device);
    (void)nc_gpu_job_buffer(&job, a, m * k * sizeof *a, m * k * sizeof *a);
    (void)nc_gpu_job_buffer(&job, b, k * n * sizeof *b, k * n * sizeof *b);
    result = nc_gpu_job_buffer(&job, accumulate ? c : NULL, m * n * sizeof *c, m * n * sizeof *c);
    nc_gpu_job_dispatch(&job, "gemm", NULL, 3, &push, sizeof push, nc_hlx__gemm_groups(n),
                        nc_hlx__gemm_groups(m), 1);
    return nc_gpu_job_finish(&job, result, 0, c, m * n * sizeof *c);
}

/* Training on a device. The state buffer holds parameters, gradients, m and v one after the other;
 * activations, tokens beside targets, and the optimiser's scalars have a buffer each. The whole
 * step is one recorded program. */
/* Scalars in the control buffer, as adam reads them; then the mean's divisor, and seed and
 * stream of dropout as two words each. */
enum { NC_HLX__NORM = 9, NC_HLX__COUNT = 10, NC_HLX__SEED = 11, NC_HLX__CONTROLS = 16 };

/* Offsets of a layer's activations, in floats. */
typedef struct nc_hlx__places {
    uint32_t ln1, ln1_mean, ln1_rstd, qkv, att, mixed, after_att;
    uint32_t ln2, ln2_mean, ln2_rstd, fc, gelu, out, packed;
} nc_hlx__places;

struct nc_hlx_gpu {
    nc_hlx_model *model;
    nc_gpu *device;
    nc_gpu_buffer *state, *work, *tokens, *control;
    nc_gpu_program *program;
    nc_hlx__places *layers;
    float *losses_host;
    uint32_t *tokens_host; /* as the device's: tokens, targets, order, start of every micro-batch */
    uint32_t embedded, final, final_mean, final_rstd, logits, losses;
    uint32_t d_residual, d_wide, d_qkv, d_narrow, d_branch, d_att, sums, rounded, rows, seq;
    uint32_t micro; /* the batch that is being recorded */
    nc_gpu_job job; /* the recording */
};

static uint32_t nc_hlx__place(size_t *used, size_t n) {
    size_t at = *used;
    *used = nc__add_size(at, nc__add_size(n, 15)) & ~(size_t)15;
    return (uint32_t)at;
}

/* As nc_hlx__carve_layer. */
static void nc_hlx__place_layer(const nc_hlx_gpu *g, size_t *used, nc_hlx__places *x, int shared) {
    const nc_hlx_config *c = &g->model->config;
    const size_t rows = g->rows, narrow = rows * c->d_model, wide = rows * c->ffn_dim;
    const int keeps = !c->recompute, whole = keeps && !c->bf16;
    if (shared != keeps) {
        x->ln1_mean = nc_hlx__place(used, rows);
        x->ln1_rstd = nc_hlx__place(used, rows);
        x->att = nc_hlx__place(used, rows * c->num_heads * (c->flash ? 1 : g->seq));
        x->after_att = nc_hlx__place(used, narrow);
        x->ln2_mean = nc_hlx__place(used, rows);
        x->ln2_rstd = nc_hlx__place(used, rows);
    }
    if (shared != whole) {
        x->ln1 = nc_hlx__place(used, narrow);
        x->qkv = nc_hlx__place(used, 3 * narrow);
        x->mixed = nc_hlx__place(used, narrow);
        x->ln2 = nc_hlx__place(used, narrow);
        x->fc = nc_hlx__place(used, wide);
        x->gelu = nc_hlx__place(used, wide);
    }
    if (!shared && keeps && c->bf16) /* six parts of whole words */
        x->packed = nc_hlx__place(used, rows * nc_hlx__packed_width(c) / 2 + 6);
}

/* Lay the activations out; returns their number of floats. */
static size_t nc_hlx__place_all(nc_hlx_gpu *g) {
    const nc_hlx_config *c = &g->model->config;
    size_t used = 0, rows = g->rows, narrow = rows * c->d_model, wide = rows * c->ffn_dim, l;
    size_t total = g->model->layout.total;
    nc_hlx__places x;
    memset(&x, 0, sizeof x);
    nc_hlx__place_layer(g, &used, &x, 1);
    for (l = 0; l < c->num_layers; l++) {
        nc_hlx__place_layer(g, &used, &x, 0);
        x.out = nc_hlx__place(&used, narrow);
        g->layers[l] = x;
    }
    g->embedded = nc_hlx__place(&used, narrow);
    g->final = nc_hlx__place(&used, narrow);
    g->final_mean = nc_hlx__place(&used, rows);
    g->final_rstd = nc_hlx__place(&used, rows);
    g->logits = nc_hlx__place(&used, rows * c->vocab_size);
    g->losses = nc_hlx__place(&used, rows * c->micro_batches);
    g->d_residual = nc_hlx__place(&used, narrow);
    g->d_wide = nc_hlx__place(&used, wide);
    g->d_qkv = nc_hlx__place(&used, 3 * narrow);
    g->d_narrow = nc_hlx__place(&used, narrow);
    g->d_branch = nc_hlx__place(&used, c->dropout > 0.0f ? narrow : 0);
    /* the gradient of the scores, or dot(dO, O) of each query with flash */
    g->d_att = nc_hlx__place(&used, rows * c->num_heads * (c->flash ? 1 : g->seq));
    g->sums = nc_hlx__place(&used, total / NC_HLX__CHUNK + 1 + NC_HLX__CHUNK);
    g->rounded = nc_hlx__place(&used, nc_hlx__rounded_size(g->model));
    return used;
}

/* Where a micro-batch's tokens, targets, order and starts stand in the tokens buffer. */
static uint32_t nc_hlx__tokens_at(const nc_hlx_gpu *g, uint32_t micro) {
    return micro * (4 * g->rows + 1);
}

static size_t nc_hlx__tokens_bytes(const nc_hlx_gpu *g) {
    return (size_t)nc_hlx__tokens_at(g, g->model->config.micro_batches) * sizeof(uint32_t);
}

/* Record one kernel over one to three buffers. */
static void nc_hlx__record(nc_hlx_gpu *g, const char *kernel, nc_gpu_buffer *a, nc_gpu_buffer *b,
                           nc_gpu_buffer *c, const void *push, size_t push_bytes, size_t x,
                           size_t y, size_t z) {
    nc_gpu_buffer *buffers[3];
    buffers[0] = a;
    buffers[1] = b;
    buffers[2] = c;
    nc_gpu_job_dispatch(&g->job, kernel, buffers, c ? 3 : b ? 2 : 1, push, push_bytes, x, y, z);
}

static void nc_hlx__record_gemm(nc_hlx_gpu *g, const nc_hlx__gemm_push *push, nc_gpu_buffer *a,
                                nc_gpu_buffer *b, nc_gpu_buffer *c, size_t matrices) {
    nc_hlx__record(g, "gemm", a, b, c, push, sizeof *push, nc_hlx__gemm_groups(push->n),
                   nc_hlx__gemm_groups(push->m), matrices);
}

/* Operations of the elementwise kernel. */
enum { NC_HLX__E_ADD = 0, NC_HLX__E_GELU = 2, NC_HLX__E_GELU_DX = 3, NC_HLX__E_ZERO = 4 };

static void nc_hlx__record_elementwise(nc_hlx_gpu *g, uint32_t operation, size_t count, size_t n,
                                       nc_gpu_buffer *a, uint32_t off_a, nc_gpu_buffer *b,
                                       uint32_t off_b, nc_gpu_buffer *c, uint32_t off_c) {
    uint32_t push[6];
    push[0] = (uint32_t)count;
    push[1] = operation;
    push[2] = (uint32_t)n;
    push[3] = off_a;
    push[4] = off_b;
    push[5] = off_c;
    nc_hlx__record(g, "elementwise", a, b, c, push, sizeof push, (count + 255) / 256, 1, 1);
}

/* Place of a parameter in the state buffer; gradients lie `total` behind. */
static uint32_t nc_hlx__at(const nc_hlx_gpu *g, int tensor, size_t layer) {
    const nc_hlx_model *model = g->model;
    return (uint32_t)(nc_hlx__tensor(model, model->parameters, tensor, layer) - model->parameters);
}

/* Modes of the bf16 kernel, and n values through it. */
enum { NC_HLX__BF16_ROUND, NC_HLX__BF16_PACK, NC_HLX__BF16_UNPACK };

static void nc_hlx__record_bf16(nc_hlx_gpu *g, uint32_t mode, size_t n, nc_gpu_buffer *from,
                                uint32_t in, uint32_t out) {
    uint32_t push[4];
    if (!g->model->config.bf16) return;
    push[0] = (uint32_t)n;
    push[1] = mode;
    push[2] = in;
    push[3] = out;
    nc_hlx__record(g, "bf16", from, g->work, NULL, push, sizeof push, (n + 255) / 256, 1, 1);
}

/* nc_hlx__store. */
static void nc_hlx__record_store(nc_hlx_gpu *g, uint32_t at, size_t n) {
    nc_hlx__record_bf16(g, NC_HLX__BF16_ROUND, n, g->work, at, at);
}

/* nc_hlx__load_weights. */
static void nc_hlx__record_load_weights(nc_hlx_gpu *g, size_t l) {
    nc_hlx__record_bf16(g, NC_HLX__BF16_ROUND, g->model->layout.layer_stride, g->state,
                        nc_hlx__at(g, NC_HLX__LN1_W, l), g->rounded);
}

/* nc_hlx__pack_layer. */
static void nc_hlx__record_pack_layer(nc_hlx_gpu *g, const nc_hlx__places *x, int unpack) {
    const size_t rows = g->rows, d = g->model->config.d_model, f = g->model->config.ffn_dim;
    const uint32_t part[6] = {x->ln1, x->qkv, x->mixed, x->ln2, x->fc, x->gelu};
    const size_t width[6] = {d, 3 * d, d, d, f, f};
    uint32_t at = x->packed;
    int i;
    if (g->model->config.recompute) return;
    for (i = 0; i < 6; at += (uint32_t)((rows * width[i++] + 1) / 2))
        nc_hlx__record_bf16(g, unpack ? NC_HLX__BF16_UNPACK : NC_HLX__BF16_PACK, rows * width[i],
                            g->work, unpack ? at : part[i], unpack ? part[i] : at);
}

/* nc_hlx__weight: where, and in which buffer. */
static uint32_t nc_hlx__weight_at(const nc_hlx_gpu *g, int t, size_t l, nc_gpu_buffer **buffer) {
    const nc_hlx__layout *layout = &g->model->layout;
    *buffer = g->model->config.bf16 ? g->work : g->state;
    if (!g->model->config.bf16) return nc_hlx__at(g, t, l);
    return g->rounded + (uint32_t)(layout->offset[t] - layout->offset[NC_HLX__LN1_W]);
}

/* nc_hlx_linear with the epilogues' places, UINT32_MAX for none. */
static void nc_hlx__record_linear(nc_hlx_gpu *g, uint32_t out, uint32_t gelu, uint32_t x, int w,
                                  int bias, size_t layer, uint32_t residual, size_t k, size_t n) {
    nc_hlx__gemm_push push = nc_hlx__plain_gemm(0, 0, g->rows, n, k, 0);
    nc_gpu_buffer *weights;
    push.off_a = x;
    push.off_b = nc_hlx__weight_at(g, w, layer, &weights);
    push.off_c = out;
    push.off_bias = nc_hlx__weight_at(g, bias, layer, &weights);
    push.off_residual = residual;
    push.off_gelu = gelu;
    push.epilogue = 1 + (residual != UINT32_MAX ? 2u : 0u) + (gelu != UINT32_MAX ? 4u : 0u);
    nc_hlx__record_gemm(g, &push, g->work, weights, g->work, 1);
}

/* nc_hlx__dropped, when there is dropout. */
static void nc_hlx__record_dropout(nc_hlx_gpu *g, uint32_t out, uint32_t in, int place, size_t l) {
    const nc_hlx_config *c = &g->model->config;
    const size_t n = (size_t)g->rows * c->d_model;
    const uint64_t first = (uint64_t)g->micro * n;
    struct {
        uint32_t count, off_in, off_out, first_low, first_high, place, threshold;
        float scale;
    } push;
    push.count = (uint32_t)n;
    push.off_in = in;
    push.off_out = out;
    push.first_low = (uint32_t)first;
    push.first_high = (uint32_t)(first >> 32);
    push.place = (uint32_t)(2 * l) + (uint32_t)place;
    push.threshold = nc_hlx__threshold(c->dropout);
    push.scale = 1.0f / (1.0f - c->dropout);
    if (c->dropout > 0.0f)
        nc_hlx__record(g, "dropout", g->work, g->control, NULL, &push, sizeof push, (n + 255) / 256,
                       1, 1);
}

/* nc_hlx__branch. */
static void nc_hlx__record_branch(nc_hlx_gpu *g, uint32_t out, uint32_t x, int w, int bias,
                                  size_t l, size_t k, uint32_t residual, int place) {
    const uint32_t d = g->model->config.d_model;
    const int drop = g->model->config.dropout > 0.0f;
    nc_hlx__record_linear(g, out, UINT32_MAX, x, w, bias, l, drop ? UINT32_MAX : residual, k, d);
    nc_hlx__record_dropout(g, out, out, place, l);
    if (drop)
        nc_hlx__record_elementwise(g, NC_HLX__E_ADD, (size_t)g->rows * d, d, g->work, out, g->work,
                                   residual, g->work, out);
}

/* nc_hlx__branch_gradient. */
static uint32_t nc_hlx__record_branch_gradient(nc_hlx_gpu *g, int place, size_t l) {
    nc_hlx__record_dropout(g, g->d_branch, g->d_residual, place, l);
    return g->model->config.dropout > 0.0f ? g->d_branch : g->d_residual;
}

/* nc_hlx__linear_backward. */
static void nc_hlx__record_linear_backward(nc_hlx_gpu *g, uint32_t dx, uint32_t dout, uint32_t x,
                                           int w, int bias, size_t layer, size_t k, size_t n) {
    const uint32_t total = (uint32_t)g->model->layout.total;
    nc_hlx__gemm_push push = nc_hlx__plain_gemm(1, 0, k, n, g->rows, 1);
    nc_gpu_buffer *weights;
    uint32_t sums[9];
    push.off_a = x;
    push.off_b = dout;
    push.off_c = nc_hlx__at(g, w, layer) + total;
    nc_hlx__record_gemm(g, &push, g->work, g->work, g->state, 1);
    push = nc_hlx__plain_gemm(0, 1, g->rows, k, n, 0);
    push.off_a = dout;
    push.off_b = nc_hlx__weight_at(g, w, layer, &weights);
    push.off_c = dx;
    nc_hlx__record_gemm(g, &push, g->work, weights, g->work, 1);
    memset(sums, 0, sizeof sums);
    sums[0] = g->rows;
    sums[1] = (uint32_t)n;
    sums[3] = dout;
    sums[8] = nc_hlx__at(g, bias, layer) + total;
    nc_hlx__record(g, "column_sums", g->work, g->state, NULL, sums, sizeof sums, (n + 63) / 64, 1,
                   1);
}

static void nc_hlx__record_layernorm(nc_hlx_gpu *g, uint32_t out, uint32_t mean, uint32_t rstd,
                                     uint32_t x, int w, int bias, size_t layer) {
    uint32_t push[8];
    push[0] = g->rows;
    push[1] = g->model->config.d_model;
    push[2] = x;
    push[3] = nc_hlx__at(g, w, layer);
    push[4] = nc_hlx__at(g, bias, layer);
    push[5] = out;
    push[6] = mean;
    push[7] = rstd;
    nc_hlx__record(g, "layernorm", g->work, g->state, g->work, push, sizeof push, g->rows, 1, 1);
}

/* nc_hlx_layernorm_backward: d_residual += the gradient of x, from d_narrow. */
static void nc_hlx__record_layernorm_backward(nc_hlx_gpu *g, uint32_t x, uint32_t mean,
                                              uint32_t rstd, int w, int bias, size_t layer) {
    const uint32_t d = g->model->config.d_model, total = (uint32_t)g->model->layout.total;
    uint32_t push[8], sums[9];
    push[0] = g->rows;
    push[1] = d;
    push[2] = x;
    push[3] = nc_hlx__at(g, w, layer);
    push[4] = mean;
    push[5] = rstd;
    push[6] = g->d_narrow;
    push[7] = g->d_residual;
    nc_hlx__record(g, "layernorm_backward", g->work, g->state, NULL, push, sizeof push, g->rows, 1,
                   1);
    sums[0] = g->rows;
    sums[1] = d;
    sums[2] = 1;
    sums[3] = g->d_narrow;
    sums[4] = x;
    sums[5] = mean;
    sums[6] = rstd;
    sums[7] = nc_hlx__at(g, w, layer) + total;
    sums[8] = nc_hlx__at(g, bias, layer) + total;
    nc_hlx__record(g, "column_sums", g->work, g->state, NULL, sums, sizeof sums, (d + 63) / 64, 1,
                   1);
}

/* A gemm over all heads of all windows. Operands inside qkv-shaped rows have stride 3 d, inside
 * mixed-shaped rows d, and seq x seq blocks seq. */
typedef struct nc_hlx__operand {
    uint32_t at, stride; /* stride 0: a seq x seq block a head */
} nc_hlx__operand;

static void nc_hlx__record_heads(nc_hlx_gpu *g, int trans_a, int trans_b, nc_hlx__operand a,
                                 nc_hlx__operand b, nc_hlx__operand c, float scale) {
    const nc_hlx_config *config = &g->model->config;
    const uint32_t t = g->seq, heads = config->num_heads, hd = config->d_model / heads;
    nc_hlx__gemm_push push =
        nc_hlx__plain_gemm(trans_a, trans_b, t, c.stride ? hd : t, c.stride ? t : hd, 0);
    push.heads = heads;
    push.off_a = a.at;
    push.off_b = b.at;
    push.off_c = c.at;
    push.lda = a.stride ? a.stride : t;
    push.ldb = b.stride ? b.stride : t;
    push.ldc = c.stride ? c.stride : t;
    push.head_a = a.stride ? hd : t * t;
    push.head_b = b.stride ? hd : t * t;
    push.head_c = c.stride ? hd : t * t;
    push.window_a = a.stride ? t * a.stride : heads * t * t;
    push.window_b = b.stride ? t * b.stride : heads * t * t;
    push.window_c = c.stride ? t * c.stride : heads * t * t;
    push.scaled = scale != 0.0f;
    push.scale = scale;
    nc_hlx__record_gemm(g, &push, g->work, g->work, g->work, (size_t)g->rows / t * heads);
}

static nc_hlx__operand nc_hlx__operand_of(uint32_t at, uint32_t stride) {
    nc_hlx__operand o;
    o.at = at;
    o.stride = stride;
    return o;
}

/* The words of nc_hlx_flash_attention's kernels. */
typedef struct nc_hlx__flash_push {
    uint32_t seq, causal, heads, head_size, off_qkv, off_out, off_lse;
    float scale;
} nc_hlx__flash_push;

typedef struct nc_hlx__flash_backward_push {
    nc_hlx__flash_push forward;
    uint32_t off_dout, off_dqkv, off_delta, keys;
} nc_hlx__flash_backward_push;

static nc_hlx__flash_push nc_hlx__flash_of(const nc_hlx_gpu *g, const nc_hlx__places *x) {
    const nc_hlx_config *c = &g->model->config;
    nc_hlx__flash_push flash;
    flash.seq = g->seq;
    flash.causal = 1;
    flash.heads = c->num_heads;
    flash.head_size = c->d_model / c->num_heads;
    flash.off_qkv = x->qkv;
    flash.off_out = x->mixed;
    flash.off_lse = x->att;
    flash.scale = 1.0f / sqrtf((float)flash.head_size);
    return flash;
}

static void nc_hlx__record_attention(nc_hlx_gpu *g, const nc_hlx__places *x) {
    const nc_hlx_config *c = &g->model->config;
    const uint32_t d = c->d_model, heads = g->rows / g->seq * c->num_heads;
    const float scale = 1.0f / sqrtf((float)(d / c->num_heads));
    const nc_hlx__operand att = nc_hlx__operand_of(x->att, 0);
    nc_hlx__flash_push flash;
    uint32_t soft[4];
    if (c->flash) {
        flash = nc_hlx__flash_of(g, x);
        nc_hlx__record(g, "flash_attention", g->work, NULL, NULL, &flash, sizeof flash,
                       (g->seq + NC_HLX__TILE - 1) / NC_HLX__TILE, heads, 1);
        return;
    }
    nc_hlx__record_heads(g, 0, 1, nc_hlx__operand_of(x->qkv, 3 * d),
                         nc_hlx__operand_of(x->qkv + d, 3 * d), att, scale);
    soft[0] = g->rows * c->num_heads;
    soft[1] = g->seq;
    soft[2] = 1;
    soft[3] = x->att;
    nc_hlx__record(g, "softmax", g->work, NULL, NULL, soft, sizeof soft, g->rows * c->num_heads, 1,
                   1);
    nc_hlx__record_heads(g, 0, 0, att, nc_hlx__operand_of(x->qkv + 2 * d, 3 * d),
                         nc_hlx__operand_of(x->mixed, d), 0.0f);
}

static void nc_hlx__record_forward_layer(nc_hlx_gpu *g, size_t l, uint32_t in) {
    const nc_hlx_config *c = &g->model->config;
    const uint32_t d = c->d_model, f = c->ffn_dim;
    const size_t narrow = (size_t)g->rows * d, wide = (size_t)g->rows * f;
    const nc_hlx__places *x = &g->layers[l];
    nc_hlx__record_load_weights(g, l);
    nc_hlx__record_layernorm(g, x->ln1, x->ln1_mean, x->ln1_rstd, in, NC_HLX__LN1_W, NC_HLX__LN1_B,
                             l);
    nc_hlx__record_store(g, x->ln1, narrow);
    nc_hlx__record_linear(g, x->qkv, UINT32_MAX, x->ln1, NC_HLX__QKV_W, NC_HLX__QKV_B, l,
                          UINT32_MAX, d, 3 * d);
    nc_hlx__record_store(g, x->qkv, 3 * narrow);
    nc_hlx__record_attention(g, x);
    nc_hlx__record_store(g, x->mixed, narrow);
    nc_hlx__record_branch(g, x->after_att, x->mixed, NC_HLX__PROJ_W, NC_HLX__PROJ_B, l, d, in,
                          NC_HLX__DROP_ATTENTION);
    nc_hlx__record_layernorm(g, x->ln2, x->ln2_mean, x->ln2_rstd, x->after_att, NC_HLX__LN2_W,
                             NC_HLX__LN2_B, l);
    nc_hlx__record_store(g, x->ln2, narrow);
    nc_hlx__record_linear(g, x->fc, c->bf16 ? UINT32_MAX : x->gelu, x->ln2, NC_HLX__FC_W,
                          NC_HLX__FC_B, l, UINT32_MAX, d, f);
    nc_hlx__record_store(g, x->fc, wide);
    if (c->bf16)
        nc_hlx__record_elementwise(g, NC_HLX__E_GELU, wide, f, g->work, x->fc, g->work, 0, g->work,
                                   x->gelu);
    nc_hlx__record_store(g, x->gelu, wide);
    nc_hlx__record_branch(g, x->out, x->gelu, NC_HLX__OUT_W, NC_HLX__OUT_B, l, f, x->after_att,
                          NC_HLX__DROP_FFN);
    nc_hlx__record_pack_layer(g, x, 0);
}

/* nc_hlx__head_matrix. */
static uint32_t nc_hlx__record_head_matrix(nc_hlx_gpu *g, nc_gpu_buffer **buffer) {
    const nc_hlx_config *c = &g->model->config;
    const uint32_t at = nc_hlx__at(g, c->tied_output ? NC_HLX__WTE : NC_HLX__HEAD, 0);
    *buffer = c->bf16 ? g->work : g->state;
    nc_hlx__record_bf16(g, NC_HLX__BF16_ROUND, g->model->layout.size[NC_HLX__WTE], g->state, at,
                        g->rounded);
    return c->bf16 ? g->rounded : at;
}

static void nc_hlx__record_forward(nc_hlx_gpu *g) {
    const nc_hlx_config *c = &g->model->config;
    const uint32_t d = c->d_model, rows = g->rows, tokens = nc_hlx__tokens_at(g, g->micro);
    const size_t narrow = (size_t)rows * d;
    uint32_t push[7], loss[6], in = g->embedded;
    nc_hlx__gemm_push head;
    nc_gpu_buffer *weights;
    size_t l;
    push[0] = (uint32_t)narrow;
    push[1] = d;
    push[2] = g->seq;
    push[3] = nc_hlx__at(g, NC_HLX__WTE, 0);
    push[4] = nc_hlx__at(g, NC_HLX__WPE, 0);
    push[5] = tokens;
    push[6] = g->embedded;
    nc_hlx__record(g, "embedding", g->state, g->tokens, g->work, push, sizeof push,
                   (narrow + 255) / 256, 1, 1);
    nc_hlx__record_dropout(g, g->embedded, g->embedded, NC_HLX__DROP_EMBEDDING, 0);
    for (l = 0; l < c->num_layers; l++) {
        nc_hlx__record_forward_layer(g, l, in);
        in = g->layers[l].out;
    }
    nc_hlx__record_layernorm(g, g->final, g->final_mean, g->final_rstd, in, NC_HLX__LNF_W,
                             NC_HLX__LNF_B, 0);
    nc_hlx__record_store(g, g->final, narrow);
    head = nc_hlx__plain_gemm(0, 1, rows, c->vocab_size, d, 0);
    head.off_a = g->final;
    head.off_b = nc_hlx__record_head_matrix(g, &weights);
    head.off_c = g->logits;
    nc_hlx__record_gemm(g, &head, g->work, weights, g->work, 1);
    loss[0] = rows;
    loss[1] = c->vocab_size;
    loss[2] = g->logits;
    loss[3] = g->losses + g->micro * rows;
    loss[4] = tokens + rows; /* the targets stand behind the tokens */
    loss[5] = NC_HLX__COUNT;
    nc_hlx__record(g, "cross_entropy", g->work, g->tokens, g->control, loss, sizeof loss, rows, 1,
                   1);
}

/* nc_hlx__attention_backward: from d_narrow to d_qkv. */
static void nc_hlx__record_attention_backward(nc_hlx_gpu *g, const nc_hlx__places *x) {
    const nc_hlx_config *c = &g->model->config;
    const uint32_t d = c->d_model;
    const nc_hlx__operand d_out = nc_hlx__operand_of(g->d_narrow, d);
    const nc_hlx__operand ds = nc_hlx__operand_of(g->d_att, 0);
    nc_hlx__flash_backward_push flash;
    struct {
        uint32_t rows, n, causal, off_y, off_dy;
        float scale;
    } push;
    if (c->flash) {
        flash.forward = nc_hlx__flash_of(g, x);
        flash.off_dout = g->d_narrow;
        flash.off_dqkv = g->d_qkv;
        flash.off_delta = g->d_att;
        for (flash.keys = 0; flash.keys < 2; flash.keys++)
            nc_hlx__record(g, "flash_attention_backward", g->work, NULL, NULL, &flash, sizeof flash,
                           (g->seq + NC_HLX__TILE - 1) / NC_HLX__TILE,
                           g->rows / g->seq * c->num_heads, 1);
        return;
    }
    nc_hlx__record_heads(g, 1, 0, nc_hlx__operand_of(x->att, 0), d_out,
                         nc_hlx__operand_of(g->d_qkv + 2 * d, 3 * d), 0.0f);
    nc_hlx__record_heads(g, 0, 1, d_out, nc_hlx__operand_of(x->qkv + 2 * d, 3 * d), ds, 0.0f);
    push.rows = g->rows * c->num_heads;
    push.n = g->seq;
    push.causal = 1;
    push.off_y = x->att;
    push.off_dy = g->d_att;
    push.scale = 1.0f / sqrtf((float)(d / c->num_heads));
    nc_hlx__record(g, "softmax_backward", g->work, NULL, NULL, &push, sizeof push,
                   g->rows * c->num_heads, 1, 1);
    nc_hlx__record_heads(g, 0, 0, ds, nc_hlx__operand_of(x->qkv + d, 3 * d),
                         nc_hlx__operand_of(g->d_qkv, 3 * d), 0.0f);
    nc_hlx__record_heads(g, 1, 0, ds, nc_hlx__operand_of(x->qkv, 3 * d),
                         nc_hlx__operand_of(g->d_qkv + d, 3 * d), 0.0f);
}

static void nc_hlx__record_backward_layer(nc_hlx_gpu *g, size_t l, uint32_t in) {
    const nc_hlx_config *c = &g->model->config;
    const nc_hlx__places *x = &g->layers[l];
    const uint32_t d = c->d_model, f = c->ffn_dim;
    uint32_t branch;
    if (c->recompute && l + 1 < c->num_layers) {
        nc_hlx__record_forward_layer(g, l, in);
    } else {
        nc_hlx__record_load_weights(g, l);
        nc_hlx__record_pack_layer(g, x, 1);
    }
    branch = nc_hlx__record_branch_gradient(g, NC_HLX__DROP_FFN, l);
    nc_hlx__record_linear_backward(g, g->d_wide, branch, x->gelu, NC_HLX__OUT_W, NC_HLX__OUT_B, l,
                                   f, d);
    nc_hlx__record_elementwise(g, NC_HLX__E_GELU_DX, (size_t)g->rows * f, f, g->work, g->d_wide,
                               g->work, x->fc, g->work, g->d_wide);
    nc_hlx__record_linear_backward(g, g->d_narrow, g->d_wide, x->ln2, NC_HLX__FC_W, NC_HLX__FC_B, l,
                                   d, f);
    nc_hlx__record_layernorm_backward(g, x->after_att, x->ln2_mean, x->ln2_rstd, NC_HLX__LN2_W,
                                      NC_HLX__LN2_B, l);
    branch = nc_hlx__record_branch_gradient(g, NC_HLX__DROP_ATTENTION, l);
    nc_hlx__record_linear_backward(g, g->d_narrow, branch, x->mixed, NC_HLX__PROJ_W, NC_HLX__PROJ_B,
                                   l, d, d);
    nc_hlx__record_attention_backward(g, x);
    nc_hlx__record_linear_backward(g, g->d_narrow, g->d_qkv, x->ln1, NC_HLX__QKV_W, NC_HLX__QKV_B,
                                   l, d, 3 * d);
    nc_hlx__record_layernorm_backward(g, in, x->ln1_mean, x->ln1_rstd, NC_HLX__LN1_W, NC_HLX__LN1_B,
                                      l);
}

static void nc_hlx__record_backward(nc_hlx_gpu *g) {
    const nc_hlx_config *c = &g->model->config;
    const uint32_t d = c->d_model, rows = g->rows, total = (uint32_t)g->model->layout.total;
    const int output = c->tied_output ? NC_HLX__WTE : NC_HLX__HEAD;
    nc_hlx__gemm_push push = nc_hlx__plain_gemm(1, 0, c->vocab_size, d, rows, 1);
    const uint32_t tokens = nc_hlx__tokens_at(g, g->micro);
    nc_gpu_buffer *weights;
    uint32_t embedding[9];
    size_t l;
    push.off_a = g->logits;
    push.off_b = g->final;
    push.off_c = nc_hlx__at(g, output, 0) + total;
    nc_hlx__record_gemm(g, &push, g->work, g->work, g->state, 1);
    push = nc_hlx__plain_gemm(0, 0, rows, d, c->vocab_size, 0);
    push.off_a = g->logits;
    push.off_b = nc_hlx__record_head_matrix(g, &weights);
    push.off_c = g->d_narrow;
    nc_hlx__record_gemm(g, &push, g->work, weights, g->work, 1);
    nc_hlx__record_elementwise(g, NC_HLX__E_ZERO, (size_t)rows * d, 1, g->work, 0, g->work, 0,
                               g->work, g->d_residual);
    nc_hlx__record_layernorm_backward(g, g->layers[c->num_layers - 1].out, g->final_mean,
                                      g->final_rstd, NC_HLX__LNF_W, NC_HLX__LNF_B, 0);
    for (l = c->num_layers; l-- > 0;)
        nc_hlx__record_backward_layer(g, l, l ? g->layers[l - 1].out : g->embedded);
    embedding[0] = rows;
    embedding[1] = d;
    embedding[2] = g->seq;
    embedding[3] = g->d_residual;
    embedding[4] = tokens;
    embedding[5] = tokens + 2 * rows;
    embedding[6] = tokens + 3 * rows;
    embedding[7] = nc_hlx__at(g, NC_HLX__WTE, 0) + total;
    embedding[8] = nc_hlx__at(g, NC_HLX__WPE, 0) + total;
    nc_hlx__record_dropout(g, g->d_residual, g->d_residual, NC_HLX__DROP_EMBEDDING, 0);
    nc_hlx__record(g, "embedding_backward", g->work, g->tokens, g->state, embedding,
                   sizeof embedding, rows + g->seq, 1, 1);
}

/* The squared norm of all gradients to the control buffer, by the rule of nc_hlx_dot; then AdamW.
 */
static void nc_hlx__record_update(nc_hlx_gpu *g, float weight_decay) {
    const uint32_t total = (uint32_t)g->model->layout.total;
    uint32_t push[4], n = total, from = total, to = g->sums;
    nc_gpu_buffer *source = g->state;
    int t;
    push[1] = 1;
    for (;;) {
        const uint32_t chunks = (n + NC_HLX__CHUNK - 1) / NC_HLX__CHUNK;
        push[0] = n;
        push[2] = from;
        push[3] = chunks > 1 ? to : (uint32_t)NC_HLX__NORM;
        nc_hlx__record(g, "reduce", source, chunks > 1 ? g->work : g->control, NULL, push,
                       sizeof push, chunks, 1, 1);
        if (chunks == 1) break;
        source = g->work;
        push[1] = 0;
        from = to;
        to += chunks;
        n = chunks;
    }
    for (t = 0; t < NC_HLX__TENSORS; t++) {
        size_t layers = nc_hlx__is_layer_tensor(t) ? g->model->config.num_layers : 1, layer;
        struct {
            uint32_t count, first, total;
            float decay;
        } adam;
        if (g->model->layout.size[t] == 0) continue;
        for (layer = 0; layer < layers; layer++) {
            adam.count = (uint32_t)g->model->layout.size[t];
            adam.first = nc_hlx__at(g, t, layer);
            adam.total = total;
            adam.decay = nc_hlx__decays(t) ? weight_decay : 0.0f;
            nc_hlx__record(g, "adam", g->state, g->control, NULL, &adam, sizeof adam,
                           (adam.count + 255) / 256, 1, 1);
        }
    }
}

/* Buffers, and the recorded step. */
static nc_status nc_hlx__gpu_prepare(nc_hlx_gpu *g, float weight_decay) {
    const size_t state = nc__mul_size(4 * sizeof(float), g->model->layout.total);
    const size_t work = nc_hlx__place_all(g);
    nc_status status;
    if (work > UINT32_MAX || state / sizeof(float) > UINT32_MAX) return NC_ERR_LIMIT;
    status = nc_gpu_buffer_create(g->device, state, &g->state);
    if (status == NC_OK) status = nc_gpu_buffer_create(g->device, work * sizeof(float), &g->work);
    if (status == NC_OK)
        status = nc_gpu_buffer_create(g->device, nc_hlx__tokens_bytes(g), &g->tokens);
    if (status == NC_OK)
        status = nc_gpu_buffer_create(g->device, NC_HLX__CONTROLS * sizeof(float), &g->control);
    if (status != NC_OK) return status;
    nc_gpu_job_start(&g->job, g->device);
    nc_hlx__record_elementwise(g, NC_HLX__E_ZERO, g->model->layout.total, 1, g->state, 0, g->state,
                               0, g->state, (uint32_t)g->model->layout.total);
    for (g->micro = 0; g->micro < g->model->config.micro_batches; g->micro++) {
        nc_hlx__record_forward(g);
        nc_hlx__record_backward(g);
    }
    nc_hlx__record_update(g, weight_decay);
    return nc_gpu_job_record(&g->job, &g->program);
}

NC_API nc_status nc_hlx_gpu_upload(nc_hlx_gpu *g) {
    const size_t bytes = g ? g->model->layout.total * sizeof(float) : 0;
    nc_status status;
    if (!g) return NC_ERR_ARG;
    status = nc_gpu_upload(g->device, g->state, 0, g->model->parameters, bytes);
    if (status == NC_OK) status = nc_gpu_upload(g->device, g->state, 2 * bytes, g->model->m, bytes);
    if (status == NC_OK) status = nc_gpu_upload(g->device, g->state, 3 * bytes, g->model->v, bytes);
    return status;
}

NC_API nc_status nc_hlx_gpu_download(nc_hlx_gpu *g) {
    const size_t bytes = g ? g->model->layout.total * sizeof(float) : 0;
    float *to[4];
    nc_status status = NC_OK;
    size_t i;
    if (!g) return NC_ERR_ARG;
    to[0] = g->model->parameters;
    to[1] = g->model->gradients;
    to[2] = g->model->m;
    to[3] = g->model->v;
    for (i = 0; i < 4 && status == NC_OK; i++)
        status = nc_gpu_download(g->device, g->state, i * bytes, to[i], bytes);
    return status;
}

NC_API nc_status nc_hlx_gpu_create(nc_hlx_gpu **out, nc_gpu *device, nc_hlx_model *model,
                                   const nc_hlx_adamw *adamw) {
    const nc_hlx_config *c;
    nc_hlx_gpu *g;
    nc_status status;
    if (!out) return NC_ERR_ARG;
    *out = NULL;
    if (!device || !model) return NC_ERR_ARG;
    if (!nc_gpu_get_caps(device)->contract) return NC_ERR_UNSUPPORTED;
    c = &model->config;
    if (c->d_model > NC_HLX__CHUNK || c->vocab_size > NC_HLX__CHUNK ||
        c->max_seq_len > NC_HLX__CHUNK)
        return NC_ERR_UNSUPPORTED; /* a row is one chunk of the fixed reduction */
    g = (nc_hlx_gpu *)nc__calloc(nc_hlx__hooks(model), sizeof *g);
    if (!g) return NC_ERR_MEMORY;
    g->model = model;
    g->device = device;
    g->seq = c->max_seq_len;
    g->rows = c->batch_size * c->max_seq_len;
    g->layers =
        (nc_hlx__places *)nc__calloc(nc_hlx__hooks(model), c->num_layers * sizeof *g->layers);
    g->losses_host = (float *)nc__calloc(nc_hlx__hooks(model),
                                         (size_t)g->rows * c->micro_batches * sizeof(float));
    g->tokens_host = (uint32_t *)nc__calloc(nc_hlx__hooks(model), nc_hlx__tokens_bytes(g));
    status = g->layers && g->losses_host && g->tokens_host
                 ? nc_hlx__gpu_prepare(g, nc_hlx__adamw_defaults(adamw).weight_decay)
                 : NC_ERR_MEMORY;
    if (status == NC_OK) status = nc_hlx_gpu_upload(g);
    if (status != NC_OK) {
        nc_hlx_gpu_destroy(g);
        return status;
    }
    *out = g;
    return NC_OK;
}

NC_API void nc_hlx_gpu_destroy(nc_hlx_gpu *g) {
    const nc_allocator *hooks;
    if (!g) return;
    nc_gpu_program_destroy(g->device, g->program);
    nc_gpu_buffer_destroy(g->device, g->state);
    nc_gpu_buffer_destroy(g->device, g->work);
    nc_gpu_buffer_destroy(g->device, g->tokens);
    nc_gpu_buffer_destroy(g->device, g->control);
    hooks = nc_hlx__hooks(g->model);
    nc__free(hooks, g->layers, g->model->config.num_layers * sizeof *g->layers);
    nc__free(hooks, g->losses_host,
             (size_t)g->rows * g->model->config.micro_batches * sizeof(float));
    nc__free(hooks, g->tokens_host, nc_hlx__tokens_bytes(g));
    nc__free(hooks, g, sizeof *g);
}

/* Rows in the order of their tokens, equal tokens in ascending rows, and where each different token
 * starts; the rest of the starts is `rows`. A counting sort: `first` has a place a token. */
static void nc_hlx__sort_tokens(const uint32_t *tokens, uint32_t rows, uint32_t *first,
                                uint32_t vocab, uint32_t *order, uint32_t *start) {
    uint32_t i, n = 0, segment = 0, token;
    memset(first, 0, vocab * sizeof *first); /* counts, then where the token's rows go */
    for (i = 0; i < rows; i++) first[tokens[i]]++;
    for (token = 0; token < vocab; token++) {
        uint32_t count = first[token];
        if (count) start[segment++] = n;
        first[token] = n;
        n += count;
    }
    for (i = 0; i < rows; i++) order[first[tokens[i]]++] = i;
    for (; segment <= rows; segment++) start[segment] = rows;
}

NC_API nc_status nc_hlx_gpu_train_step(nc_hlx_gpu *g, nc_hlx_loader *loader,
                                       const nc_hlx_adamw *adamw, nc_hlx_stats *stats) {
    float control[NC_HLX__CONTROLS];
    nc_hlx_model *model;
    nc_hlx__adam_step s;
    nc_status status;
    uint64_t stream;
    size_t total;
    uint32_t micro, i;
    if (!g || !nc_hlx__fits(g->model, loader) || loader->seq != g->seq) return NC_ERR_ARG;
    model = g->model;
    total = (size_t)g->rows * model->config.micro_batches;
    for (micro = 0; micro < model->config.micro_batches; micro++) {
        uint32_t *tokens = g->tokens_host + nc_hlx__tokens_at(g, micro), *order;
        order = tokens + 2 * g->rows;
        nc_hlx_loader_next(loader, tokens, tokens + g->rows, model->config.batch_size);
        for (i = 0; i < g->rows; i++)
            if (tokens[i] >= model->config.vocab_size) return NC_ERR_ARG;
        nc_hlx__sort_tokens(tokens, g->rows, (uint32_t *)(void *)model->candidates,
                            model->config.vocab_size, order, order + g->rows);
    }
    s = nc_hlx__adam_scalars(adamw, model->step + 1);
    memset(control, 0, sizeof control);
    control[0] = s.lr;
    control[1] = s.beta1;
    control[2] = s.beta2;
    control[3] = s.eps;
    control[4] = s.rest1;
    control[5] = s.rest2;
    control[6] = s.correct1;
    control[7] = s.correct2;
    control[8] = nc_hlx__adamw_defaults(adamw).clip_norm;
    control[NC_HLX__COUNT] = (float)total;
    stream = (model->step + 1) << 24;
    for (i = 0; i < 4; i++) {
        uint64_t words = (i < 2 ? model->seed : stream) >> (i % 2 ? 32 : 0);
        uint32_t word = (uint32_t)words;
        memcpy(&control[NC_HLX__SEED + i], &word, sizeof word);
    }
    status = nc_gpu_upload(g->device, g->tokens, 0, g->tokens_host, nc_hlx__tokens_bytes(g));
    if (status == NC_OK) status = nc_gpu_upload(g->device, g->control, 0, control, sizeof control);
    if (status == NC_OK) status = nc_gpu_run(g->device, g->program, NULL);
    if (status == NC_OK)
        status = nc_gpu_download(g->device, g->work, g->losses * sizeof(float), g->losses_host,
                                 total * sizeof(float));
    if (status == NC_OK)
        status = nc_gpu_download(g->device, g->control, 0, control, sizeof control);
    if (status != NC_OK) return status;
    model->step++;
    model->adamw = nc_hlx__adamw_defaults(adamw);
    model->ready = 0;
    if (stats) {
        memset(stats, 0, sizeof *stats);
        stats->loss = nc_hlx_sum(g->losses_host, total) / (float)total;
        stats->grad_norm = sqrtf(control[NC_HLX__NORM]);
        stats->lr = s.lr;
        stats->step = model->step;
    }
    return NC_OK;
}
#endif /* NC_GPU */

/* >>public ========================================================================= */

NC_API nc_status nc_hlx_preset(const char *name, nc_hlx_config *config) {
    memset(config, 0, sizeof *config);
    if (!strcmp(name, "tiny")) return nc_hlx__complete(config, config);
    config->d_model = config->max_seq_len = 64;
    config->num_layers = 2;
    config->ffn_dim = 256;
    if (!strcmp(name, "demo")) return nc_hlx__complete(config, config);
    config->d_model = 512;
    config->num_layers = 6;
    config->num_heads = 8;
    config->ffn_dim = 2048;
    config->max_seq_len = 256;
    if (!strcmp(name, "small")) return nc_hlx__complete(config, config);
    config->d_model = 768;
    config->num_layers = config->num_heads = 12;
    config->ffn_dim = 3072;
    config->max_seq_len = 512;
    return strcmp(name, "medium") ? NC_ERR_ARG : nc_hlx__complete(config, config);
}

NC_API nc_status nc_hlx_footprint(const nc_hlx_config *config, uint64_t *parameters,
                                  uint64_t *bytes) {
    nc_hlx_model model;
    nc_status status;
    size_t activations;
    memset(&model, 0, sizeof model);
    status = nc_hlx__complete(config, &model.config);
    if (status != NC_OK) return status;
    nc_hlx__make_layout(&model.config, &model.layout);
    model.threads = nc_hlx__threads();
    activations = nc_hlx__carve_all(&model, NULL);
    if (parameters) *parameters = model.layout.total;
    if (bytes) *bytes = (uint64_t)model.layout.total * 16 + activations;
    return NC_OK;
}

/* Fused multiply-add is fused, and nothing else is: (1 + e)(1 - e) - 1 = -e^2 needs the fused
 * product (e = 2^-13), and the same expression in two roundings must give 0. */
static int nc_hlx__contract_holds(void) {
    volatile float e = 1.0f / 8192.0f, one = 1.0f, tiny = 1e-39f;
    float a = one + e, b = one - e, minus_one = -one;
    float fused = fmaf(a, b, minus_one), separate = a * b + minus_one;
    return fused == -e * e && separate == 0.0f && tiny * one != 0.0f;
}

NC_API nc_status nc_hlx_create(nc_hlx_model **out, const nc_hlx_config *config,
                               const nc_allocator *hooks) {
    nc_hlx_model *model;
    nc_hlx_config complete;
    nc_status status;
    if (!out) return NC_ERR_ARG;
    *out = NULL;
    status = nc_hlx__complete(config, &complete);
    if (status != NC_OK) return status;
    if (!nc_hlx__contract_holds()) return NC_ERR_UNSUPPORTED;
    model = (nc_hlx_model *)nc__calloc(hooks, sizeof *model);
    if (!model) return NC_ERR_MEMORY;
    if (hooks) model->hooks = *hooks;
    model->custom_hooks = hooks != NULL;
    model->config = complete;
    model->threads = nc_hlx__threads();
    nc_hlx__make_layout(&complete, &model->layout);
    model->state_bytes = nc__mul_size(model->layout.total, 4 * sizeof(float));
    model->work_bytes = nc_hlx__carve_all(model, NULL);
    model->parameters = (float *)nc__calloc(hooks, model->state_bytes);
    model->arena = (char *)nc__alloc(hooks, model->work_bytes);
    if (!model->parameters || !model->arena) {
        nc_hlx_destroy(model);
        return NC_ERR_MEMORY;
    }
    model->gradients = model->parameters + model->layout.total;
    model->m = model->gradients + model->layout.total;
    model->v = model->m + model->layout.total;
    (void)nc_hlx__carve_all(model, model->arena);
    *out = model;
    return NC_OK;
}

NC_API void nc_hlx_destroy(nc_hlx_model *model) {
    nc_allocator hooks;
    const nc_allocator *use;
    if (!model) return;
    hooks = model->hooks;
    use = model->custom_hooks ? &hooks : NULL;
    nc__free(use, model->arena, model->work_bytes);
    nc__free(use, model->parameters, model->state_bytes);
    nc__free(use, model, sizeof *model);
}

/* Normal-like value of deviation 1: the sum of twelve uniform 16-bit integers, centred (Irwin
 * and Hall). Integer arithmetic only, so the same value everywhere. */
static float nc_hlx__normal(uint64_t seed, uint64_t index, uint32_t tensor) {
    uint32_t words[4];
    int32_t sum = 0;
    int i, j;
    for (i = 0; i < 2; i++) {
        nc__philox(seed, index, ((uint64_t)tensor << 8) | (uint64_t)i, words);
        for (j = 0; j < 3; j++) sum += (int32_t)(words[j] & 0xFFFF) + (int32_t)(words[j] >> 16);
    }
    return (float)(2 * sum - 12 * 65535) / 131072.0f;
}

NC_API void nc_hlx_init_weights(nc_hlx_model *model, uint64_t seed) {
    const nc_hlx_config *c = &model->config;
    float residual = 0.02f / sqrtf(2.0f * (float)c->num_layers);
    uint32_t id = 0;
    size_t layer, i;
    int t;
    memset(model->parameters, 0, model->state_bytes);
    model->step = 0;
    model->seed = seed;
    memset(&model->adamw, 0, sizeof model->adamw);
    model->ready = 0;
    for (t = 0; t < NC_HLX__TENSORS; t++)
        for (layer = 0; layer < (nc_hlx__is_layer_tensor(t) ? c->num_layers : 1); layer++, id++) {
            float *x = nc_hlx__tensor(model, model->parameters, t, layer), scale = 0.02f;
            int ones = t == NC_HLX__LN1_W || t == NC_HLX__LN2_W || t == NC_HLX__LNF_W;
            if (t == NC_HLX__PROJ_W || t == NC_HLX__OUT_W) scale = residual;
            for (i = 0; i < model->layout.size[t]; i++) {
                if (nc_hlx__decays(t))
                    x[i] = scale * nc_hlx__normal(seed, i, id);
                else
                    x[i] = ones ? 1.0f : 0.0f;
            }
        }
}

NC_API const nc_hlx_config *nc_hlx_get_config(const nc_hlx_model *model) { return &model->config; }

NC_API const nc_hlx_adamw *nc_hlx_get_adamw(const nc_hlx_model *model) { return &model->adamw; }

NC_API uint64_t nc_hlx_step(const nc_hlx_model *model) { return model->step; }

NC_API float *nc_hlx_parameters(nc_hlx_model *model, size_t *count) {
    if (count) *count = model->layout.total;
    return model->parameters;
}

NC_API float *nc_hlx_gradients(nc_hlx_model *model, size_t *count) {
    if (count) *count = model->layout.total;
    return model->gradients;
}

NC_API uint64_t nc_hlx_digest(const nc_hlx_model *model) {
    uint64_t hash = NC__FNV_START;
    uint8_t bytes[4];
    size_t i;
    for (i = 0; i < model->layout.total; i++) {
        nc__put_le(bytes, nc_hlx__bits(model->parameters[i]), 4);
        hash = nc__fnv1a(hash, bytes, 4);
    }
    return hash;
}

/* dx = dout W^T, dW += x^T dout, dbias += chain over rows of dout. */
static void nc_hlx__linear_backward(nc_hlx_model *model, float *dx, float *dw, float *dbias,
                                    const float *dout, const float *x, const float *w, size_t rows,
                                    size_t k, size_t n) {
    size_t work = nc_hlx_gemm_work_bytes();
    (void)nc_hlx_gemm(1, 0, k, n, rows, x, k, dout, n, dw, n, 1, model->gemm_work, work);
    (void)nc_hlx_gemm(0, 1, rows, k, n, dout, n, w, n, dx, k, 0, model->gemm_work, work);
    nc_hlx_column_sums(dbias, dout, rows, n);
}

/* out = x dropped at a place of layer l, for all rows of this pass. */
static void nc_hlx__dropped(const nc_hlx_model *model, float *out, const float *x, int place,
                            size_t l) {
    const size_t n = (size_t)model->batch * model->seq * model->config.d_model;
    nc_hlx_dropout(out, x, n, (uint64_t)model->micro * n, model->config.dropout, model->seed,
                   (model->step + 1) << 24 | (2 * l + (size_t)place));
}

/* n parameters as products see them: with bf16 rounded, in the place of those before. */
static const float *nc_hlx__rounded(nc_hlx_model *model, const float *p, size_t n) {
    if (!model->config.bf16) return p;
    memcpy(model->rounded, p, n * sizeof *p);
    nc_hlx_bf16_round(model->rounded, n);
    return model->rounded;
}

/* Make layer l's parameters those that nc_hlx__weight finds. */
static void nc_hlx__load_weights(nc_hlx_model *model, size_t l) {
    (void)nc_hlx__rounded(model, nc_hlx__tensor(model, model->parameters, NC_HLX__LN1_W, l),
                          model->layout.layer_stride);
}

/* A matrix or bias of layer l as products see it. */
static const float *nc_hlx__weight(const nc_hlx_model *model, int t, size_t l) {
    if (!model->config.bf16) return nc_hlx__tensor(model, model->parameters, t, l);
    return model->rounded + (model->layout.offset[t] - model->layout.offset[NC_HLX__LN1_W]);
}

/* An activation on its way into or out of a product. */
static void nc_hlx__store(const nc_hlx_model *model, float *x, size_t n) {
    if (model->config.bf16) nc_hlx_bf16_round(x, n);
}

/* A layer's packed activations to (unpack 0) or from bf16. */
static void nc_hlx__pack_layer(const nc_hlx_model *model, const nc_hlx__layer *x, int unpack) {
    const size_t rows = (size_t)model->batch * model->seq, d = model->config.d_model;
    const size_t f = model->config.ffn_dim;
    float *const part[6] = {x->ln1, x->qkv, x->mixed, x->ln2, x->fc, x->gelu};
    const size_t width[6] = {d, 3 * d, d, d, f, f};
    uint16_t *packed = x->packed;
    int i;
    if (!packed) return;
    for (i = 0; i < 6; packed += rows * width[i++])
        if (unpack)
            nc_hlx_bf16_unpack(part[i], packed, rows * width[i]);
        else
            nc_hlx_bf16_pack(packed, part[i], rows * width[i]);
}

/* out = linear(x) + residual, with dropout of the first while it is on. */
static void nc_hlx__branch(nc_hlx_model *model, float *out, const float *x, int w, int bias,
                           size_t l, size_t k, const float *residual, int place) {
    const size_t rows = (size_t)model->batch * model->seq, d = model->config.d_model;
    (void)nc_hlx_linear(out, NULL, x, nc_hlx__weight(model, w, l), nc_hlx__weight(model, bias, l),
                        model->dropping ? NULL : residual, rows, k, d, model->gemm_work,
                        nc_hlx_gemm_work_bytes());
    if (!model->dropping) return;
    nc_hlx__dropped(model, out, out, place, l);
    NC_HLX__PIECES(rows * d, NC_HLX__PIECE,
                   nc_hlx__add(out + first, out + first, residual + first, count));
}

static void nc_hlx__forward_layer(nc_hlx_model *model, size_t l, const float *in) {
    const nc_hlx_heads shape = nc_hlx__heads(&model->config, model->batch, model->seq);
    nc_hlx__layer *x = &model->layers[l];
    size_t rows = (size_t)model->batch * model->seq, d = model->config.d_model;
    size_t f = model->config.ffn_dim, work = nc_hlx_gemm_work_bytes();
    float *p = model->parameters;
    nc_hlx__load_weights(model, l);
    nc_hlx_layernorm(x->ln1, x->ln1_mean, x->ln1_rstd, in,
                     nc_hlx__tensor(model, p, NC_HLX__LN1_W, l),
                     nc_hlx__tensor(model, p, NC_HLX__LN1_B, l), rows, d);
    nc_hlx__store(model, x->ln1, rows * d);
    (void)nc_hlx_linear(x->qkv, NULL, x->ln1, nc_hlx__weight(model, NC_HLX__QKV_W, l),
                        nc_hlx__weight(model, NC_HLX__QKV_B, l), NULL, rows, d, 3 * d,
                        model->gemm_work, work);
    nc_hlx__store(model, x->qkv, rows * 3 * d);
    if (model->config.flash)
        (void)nc_hlx_flash_attention(x->mixed, x->att, x->qkv, &shape, model->head_work,
                                     model->head_work_bytes);
    else
        (void)nc_hlx_attention(x->mixed, x->att, x->qkv, &shape, model->head_work,
                               model->head_work_bytes);
    nc_hlx__store(model, x->mixed, rows * d);
    nc_hlx__branch(model, x->after_att, x->mixed, NC_HLX__PROJ_W, NC_HLX__PROJ_B, l, d, in,
                   NC_HLX__DROP_ATTENTION);
    nc_hlx_layernorm(x->ln2, x->ln2_mean, x->ln2_rstd, x->after_att,
                     nc_hlx__tensor(model, p, NC_HLX__LN2_W, l),
                     nc_hlx__tensor(model, p, NC_HLX__LN2_B, l), rows, d);
    nc_hlx__store(model, x->ln2, rows * d);
    (void)nc_hlx_linear(
        x->fc, model->config.bf16 ? NULL : x->gelu, x->ln2, nc_hlx__weight(model, NC_HLX__FC_W, l),
        nc_hlx__weight(model, NC_HLX__FC_B, l), NULL, rows, d, f, model->gemm_work, work);
    if (model->config.bf16) { /* gelu of the rounded values */
        nc_hlx__store(model, x->fc, rows * f);
        nc_hlx_gelu(x->gelu, x->fc, rows * f);
        nc_hlx__store(model, x->gelu, rows * f);
    }
    nc_hlx__branch(model, x->out, x->gelu, NC_HLX__OUT_W, NC_HLX__OUT_B, l, f, x->after_att,
                   NC_HLX__DROP_FFN);
    nc_hlx__pack_layer(model, x, 0);
}

/* The output matrix as products see it. */
static const float *nc_hlx__head_matrix(nc_hlx_model *model) {
    const int t = model->config.tied_output ? NC_HLX__WTE : NC_HLX__HEAD;
    return nc_hlx__rounded(model, nc_hlx__tensor(model, model->parameters, t, 0),
                           model->layout.size[t]);
}

/* Logits of `tokens`. drop: with dropout. */
static nc_status nc_hlx__run(nc_hlx_model *model, const uint32_t *tokens, uint32_t batch,
                             uint32_t seq, int drop) {
    const nc_hlx_config *c = &model->config;
    const size_t rows = (size_t)batch * seq, d = c->d_model;
    const float *in = model->embedded;
    size_t i, l;
    if (batch == 0 || seq == 0 || batch > c->batch_size || seq > c->max_seq_len) return NC_ERR_ARG;
    for (i = 0; i < rows; i++)
        if (tokens[i] >= c->vocab_size) return NC_ERR_ARG;
    model->batch = batch;
    model->seq = seq;
    model->ready = 0;
    model->dropping = drop && c->dropout > 0.0f;
    memmove(model->tokens, tokens, rows * sizeof *tokens);
    nc_hlx_embedding(model->embedded, model->tokens,
                     nc_hlx__tensor(model, model->parameters, NC_HLX__WTE, 0),
                     nc_hlx__tensor(model, model->parameters, NC_HLX__WPE, 0), rows, seq, d);
    if (model->dropping)
        nc_hlx__dropped(model, model->embedded, model->embedded, NC_HLX__DROP_EMBEDDING, 0);
    for (l = 0; l < c->num_layers; l++) {
        nc_hlx__forward_layer(model, l, in);
        in = model->layers[l].out;
    }
    nc_hlx_layernorm(model->final, model->final_mean, model->final_rstd, in,
                     nc_hlx__tensor(model, model->parameters, NC_HLX__LNF_W, 0),
                     nc_hlx__tensor(model, model->parameters, NC_HLX__LNF_B, 0), rows, d);
    nc_hlx__store(model, model->final, rows * d);
    return nc_hlx_gemm(0, 1, rows, c->vocab_size, d, model->final, d, nc_hlx__head_matrix(model), d,
                       model->logits, c->vocab_size, 0, model->gemm_work, nc_hlx_gemm_work_bytes());
}

/* A pass with targets: losses into row `micro` of the losses, gradients divided by count. */
static nc_status nc_hlx__run_training(nc_hlx_model *model, const uint32_t *tokens,
                                      const uint32_t *targets, uint32_t batch, uint32_t seq,
                                      float count, uint32_t micro, int drop) {
    const size_t rows = (size_t)batch * seq;
    nc_status status;
    model->micro = micro;
    status = nc_hlx__run(model, tokens, batch, seq, drop);
    if (status != NC_OK) return status;
    memmove(model->targets, targets, rows * sizeof *targets);
    nc_hlx__cross_entropy_rows(model->logits, model->targets, model->losses + micro * rows, rows,
                               model->config.vocab_size, count);
    model->ready = 1;
    return NC_OK;
}

NC_API nc_status nc_hlx_forward(nc_hlx_model *model, const uint32_t *tokens,
                                const uint32_t *targets, uint32_t batch, uint32_t seq,
                                float *loss) {
    const size_t rows = (size_t)batch * seq;
    nc_status status;
    float count;
    if (!model || !tokens || (targets && !loss)) return NC_ERR_ARG;
    if (!targets) return nc_hlx__run(model, tokens, batch, seq, 0);
    if (batch > model->config.batch_size || seq > model->config.max_seq_len) return NC_ERR_ARG;
    count = nc_hlx__count(targets, rows, model->config.vocab_size);
    status = nc_hlx__run_training(model, tokens, targets, batch, seq, count, 0, 1);
    if (status == NC_OK) *loss = nc_hlx_sum(model->losses, rows) / count;
    return status;
}

NC_API const float *nc_hlx_logits(const nc_hlx_model *model) { return model->logits; }

/* d_residual, or what dropout leaves of it at a place: the gradient of a branch's output. */
static const float *nc_hlx__branch_gradient(nc_hlx_model *model, int place, size_t l) {
    if (!model->dropping) return model->d_residual;
    nc_hlx__dropped(model, model->d_branch, model->d_residual, place, l);
    return model->d_branch;
}

/* d_residual holds the gradient at the layer's output on entry, at its input on return. */
static void nc_hlx__backward_layer(nc_hlx_model *model, size_t l, const float *in) {
    const nc_hlx_heads shape = nc_hlx__heads(&model->config, model->batch, model->seq);
    nc_hlx__layer *x = &model->layers[l];
    size_t rows = (size_t)model->batch * model->seq, d = model->config.d_model;
    size_t f = model->config.ffn_dim;
    float *p = model->parameters, *g = model->gradients;
    if (model->config.recompute && l + 1 < model->config.num_layers) {
        nc_hlx__forward_layer(model, l, in);
    } else {
        nc_hlx__load_weights(model, l);
        nc_hlx__pack_layer(model, x, 1);
    }
    nc_hlx__linear_backward(model, model->d_wide, nc_hlx__tensor(model, g, NC_HLX__OUT_W, l),
                            nc_hlx__tensor(model, g, NC_HLX__OUT_B, l),
                            nc_hlx__branch_gradient(model, NC_HLX__DROP_FFN, l), x->gelu,
                            nc_hlx__weight(model, NC_HLX__OUT_W, l), rows, f, d);
    nc_hlx_gelu_backward(model->d_wide, model->d_wide, x->fc, rows * f);
    nc_hlx__linear_backward(model, model->d_narrow, nc_hlx__tensor(model, g, NC_HLX__FC_W, l),
                            nc_hlx__tensor(model, g, NC_HLX__FC_B, l), model->d_wide, x->ln2,
                            nc_hlx__weight(model, NC_HLX__FC_W, l), rows, d, f);
    nc_hlx_layernorm_backward(model->d_residual, nc_hlx__tensor(model, g, NC_HLX__LN2_W, l),
                              nc_hlx__tensor(model, g, NC_HLX__LN2_B, l), model->d_narrow,
                              x->after_att, nc_hlx__tensor(model, p, NC_HLX__LN2_W, l), x->ln2_mean,
                              x->ln2_rstd, rows, d);
    nc_hlx__linear_backward(model, model->d_narrow, nc_hlx__tensor(model, g, NC_HLX__PROJ_W, l),
                            nc_hlx__tensor(model, g, NC_HLX__PROJ_B, l),
                            nc_hlx__branch_gradient(model, NC_HLX__DROP_ATTENTION, l), x->mixed,
                            nc_hlx__weight(model, NC_HLX__PROJ_W, l), rows, d, d);
    if (model->config.flash)
        (void)nc_hlx_flash_attention_backward(model->d_qkv, model->d_narrow, x->mixed, x->att,
                                              x->qkv, &shape, model->head_work,
                                              model->head_work_bytes);
    else
        (void)nc_hlx_attention_backward(model->d_qkv, model->d_narrow, x->att, x->qkv, &shape,
                                        model->head_work, model->head_work_bytes);
    nc_hlx__linear_backward(model, model->d_narrow, nc_hlx__tensor(model, g, NC_HLX__QKV_W, l),
                            nc_hlx__tensor(model, g, NC_HLX__QKV_B, l), model->d_qkv, x->ln1,
                            nc_hlx__weight(model, NC_HLX__QKV_W, l), rows, d, 3 * d);
    nc_hlx_layernorm_backward(model->d_residual, nc_hlx__tensor(model, g, NC_HLX__LN1_W, l),
                              nc_hlx__tensor(model, g, NC_HLX__LN1_B, l), model->d_narrow, in,
                              nc_hlx__tensor(model, p, NC_HLX__LN1_W, l), x->ln1_mean, x->ln1_rstd,
                              rows, d);
}

NC_API nc_status nc_hlx_backward(nc_hlx_model *model) {
    const nc_hlx_config *c;
    size_t rows, d, work, l;
    float *g, *p, *dhead;
    if (!model || !model->ready) return NC_ERR_ARG;
    model->ready = 0;
    c = &model->config;
    rows = (size_t)model->batch * model->seq;
    d = c->d_model;
    work = nc_hlx_gemm_work_bytes();
    p = model->parameters;
    g = model->gradients;
    dhead = nc_hlx__tensor(model, g, c->tied_output ? NC_HLX__WTE : NC_HLX__HEAD, 0);
    (void)nc_hlx_gemm(1, 0, c->vocab_size, d, rows, model->logits, c->vocab_size, model->final, d,
                      dhead, d, 1, model->gemm_work, work);
    (void)nc_hlx_gemm(0, 0, rows, d, c->vocab_size, model->logits, c->vocab_size,
                      nc_hlx__head_matrix(model), d, model->d_narrow, d, 0, model->gemm_work, work);
    memset(model->d_residual, 0, rows * d * sizeof(float));
    nc_hlx_layernorm_backward(model->d_residual, nc_hlx__tensor(model, g, NC_HLX__LNF_W, 0),
                              nc_hlx__tensor(model, g, NC_HLX__LNF_B, 0), model->d_narrow,
                              model->layers[c->num_layers - 1].out,
                              nc_hlx__tensor(model, p, NC_HLX__LNF_W, 0), model->final_mean,
                              model->final_rstd, rows, d);
    for (l = c->num_layers; l-- > 0;)
        nc_hlx__backward_layer(model, l, l ? model->layers[l - 1].out : model->embedded);
    if (model->dropping)
        nc_hlx__dropped(model, model->d_residual, model->d_residual, NC_HLX__DROP_EMBEDDING, 0);
    nc_hlx_embedding_backward(nc_hlx__tensor(model, g, NC_HLX__WTE, 0),
                              nc_hlx__tensor(model, g, NC_HLX__WPE, 0), model->d_residual,
                              model->tokens, rows, model->seq, d);
    return NC_OK;
}

NC_API void nc_hlx_zero_gradients(nc_hlx_model *model) {
    float *g = model->gradients;
    NC_HLX__PIECES(model->layout.total, NC_HLX__PIECE, memset(g + first, 0, count * sizeof *g));
}

/* nc_hlx_dot of all gradients with themselves: a piece is a chunk of the reduction. */
static float nc_hlx__squared_norm(nc_hlx_model *model) {
    const float *g = model->gradients;
    const size_t total = model->layout.total;
    NC_HLX__PIECES(total, NC_HLX__CHUNK,
                   model->sums[piece] = nc_hlx_dot(g + first, g + first, count));
    return nc_hlx_sum(model->sums, (total + NC_HLX__CHUNK - 1) / NC_HLX__CHUNK);
}

NC_API void nc_hlx_update(nc_hlx_model *model, const nc_hlx_adamw *adamw, nc_hlx_stats *stats) {
    nc_hlx_adamw a = nc_hlx__adamw_defaults(adamw);
    const float norm = sqrtf(nc_hlx__squared_norm(model)), weight_decay = a.weight_decay;
    const float scale = a.clip_norm > 0.0f && norm > a.clip_norm ? a.clip_norm / norm : 1.0f;
    size_t layer, layers;
    int t;
    model->step++;
    model->adamw = a;
    for (t = 0; t < NC_HLX__TENSORS; t++) {
        layers = nc_hlx__is_layer_tensor(t) ? model->config.num_layers : 1;
        a.weight_decay = nc_hlx__decays(t) ? weight_decay : 0.0f;
        for (layer = 0; layer < layers; layer++) {
            float *p = nc_hlx__tensor(model, model->parameters, t, layer);
            size_t at = (size_t)(p - model->parameters);
            nc_hlx_adamw_update(p, model->gradients + at, model->m + at, model->v + at,
                                model->layout.size[t], &a, model->step, scale);
        }
    }
    if (stats) {
        stats->grad_norm = norm;
        stats->lr = nc_hlx_learning_rate(&a, model->step);
        stats->step = model->step;
    }
}

NC_API nc_status nc_hlx_loader_init_tokens(nc_hlx_loader *loader, const void *tokens, size_t count,
                                           uint32_t token_bytes, uint32_t seq, uint64_t seed) {
    if (!loader || !tokens || seq == 0 || count <= seq ||
        (token_bytes != 1 && token_bytes != 2 && token_bytes != 4))
        return NC_ERR_ARG;
    memset(loader, 0, sizeof *loader);
    loader->data = (const uint8_t *)tokens;
    loader->count = count;
    loader->token_bytes = token_bytes;
    loader->seq = seq;
    loader->seed = seed;
    return NC_OK;
}

NC_API nc_status nc_hlx_loader_init(nc_hlx_loader *loader, const void *text, size_t count,
                                    uint32_t seq, uint64_t seed) {
    return nc_hlx_loader_init_tokens(loader, text, count, 1, seq, seed);
}

/* seq tokens from `at` on and their successors. */
static void nc_hlx__window(const nc_hlx_loader *loader, size_t at, uint32_t *tokens,
                           uint32_t *targets) {
    const uint8_t *from = loader->data + at * loader->token_bytes;
    uint32_t t, next = (uint32_t)nc__get_le(from, loader->token_bytes);
    for (t = 0; t < loader->seq; t++) {
        from += loader->token_bytes;
        tokens[t] = next;
        next = (uint32_t)nc__get_le(from, loader->token_bytes);
        targets[t] = next;
    }
}

/* The i-th element of a pseudo-random permutation of 0..n-1: a four-round Feistel network on
 * the smallest even number of bits that holds n, walked until the value falls below n. No
 * table, so any position of any epoch is reached at once. */
static uint64_t nc_hlx__permute(uint64_t i, uint64_t n, uint64_t seed, uint64_t epoch) {
    unsigned half = 1;
    uint64_t mask;
    while ((UINT64_C(1) << (2 * half)) < n) half++;
    mask = (UINT64_C(1) << half) - 1;
    do {
        uint64_t left = i >> half, right = i & mask;
        uint64_t round;
        for (round = 0; round < 4; round++) {
            uint32_t words[4];
            uint64_t next;
            nc__philox(seed, right, (epoch << 8) | (round + 1), words);
            next = (left ^ words[0]) & mask;
            left = right;
            right = next;
        }
        i = (left << half) | right;
    } while (i >= n);
    return i;
}

NC_API void nc_hlx_loader_next(nc_hlx_loader *loader, uint32_t *tokens, uint32_t *targets,
                               uint32_t batch) {
    uint64_t windows = (loader->count - 1) / loader->seq;
    uint32_t b;
    for (b = 0; b < batch; b++, loader->next++) {
        uint64_t epoch = loader->next / windows, index = loader->next % windows;
        uint64_t slack = loader->count - 1 - windows * loader->seq; /* the windows' common shift */
        uint32_t words[4];
        if (epoch) slack += loader->seq; /* from the second epoch on, cut at other places */
        nc__philox(loader->seed, epoch, 0, words);
        slack = words[0] % (slack + 1);
        index = nc_hlx__permute(index, windows, loader->seed, epoch);
        slack += index * loader->seq;
        if (slack + loader->seq + 1 > loader->count) slack = loader->count - loader->seq - 1;
        nc_hlx__window(loader, (size_t)slack, tokens + (size_t)b * loader->seq,
                       targets + (size_t)b * loader->seq);
    }
}

NC_API nc_status nc_hlx_train_step(nc_hlx_model *model, nc_hlx_loader *loader,
                                   const nc_hlx_adamw *adamw, nc_hlx_stats *stats) {
    nc_hlx_stats local;
    size_t rows;
    uint32_t i;
    float count;
    if (!nc_hlx__fits(model, loader)) return NC_ERR_ARG;
    rows = (size_t)model->config.batch_size * loader->seq * model->config.micro_batches;
    count = (float)rows;
    memset(&local, 0, sizeof local);
    nc_hlx_zero_gradients(model);
    for (i = 0; i < model->config.micro_batches; i++) {
        nc_status status;
        nc_hlx_loader_next(loader, model->tokens, model->targets, model->config.batch_size);
        status = nc_hlx__run_training(model, model->tokens, model->targets,
                                      model->config.batch_size, loader->seq, count, i, 1);
        if (status == NC_OK) status = nc_hlx_backward(model);
        if (status != NC_OK) return status;
    }
    local.loss = nc_hlx_sum(model->losses, rows) / count;
    nc_hlx_update(model, adamw, &local);
    if (stats) *stats = local;
    return NC_OK;
}

NC_API nc_status nc_hlx_evaluate(nc_hlx_model *model, const nc_hlx_loader *data, uint32_t windows,
                                 float *loss) {
    uint32_t w;
    double sum = 0.0;
    if (!nc_hlx__fits(model, data) || !loss || windows == 0) return NC_ERR_ARG;
    if (windows > (data->count - 1) / data->seq)
        windows = (uint32_t)((data->count - 1) / data->seq);
    for (w = 0; w < windows; w++) {
        nc_status status;
        nc_hlx__window(data, (size_t)w * data->seq, model->tokens, model->targets);
        status = nc_hlx__run_training(model, model->tokens, model->targets, 1, data->seq,
                                      (float)data->seq, 0, 0);
        if (status != NC_OK) return status;
        sum = sum + (double)(nc_hlx_sum(model->losses, data->seq) / (float)data->seq);
    }
    model->ready = 0;
    *loss = (float)(sum / (double)windows);
    return NC_OK;
}

/* Rows of width n from row r on. */
static float *nc_hlx__row(float *x, size_t r, size_t n) { return x + r * n; }

/* Attention of the query at a position over all keys up to it; the one window's qkv rows are kept
 * from position to position. */
static void nc_hlx__decode_attention(nc_hlx_model *model, nc_hlx__layer *x, size_t position) {
    const nc_hlx_heads shape = nc_hlx__heads(&model->config, 1, position + 1);
    const size_t hd = shape.head_size, d = model->config.d_model, n = position + 1;
    nc_hlx__head head;
    size_t h;
    head.shape = &shape;
    head.d = d;
    head.scale = 1.0f / sqrtf((float)hd);
    head.gemm = model->gemm_work;
    for (h = 0; h < shape.heads; h++) {
        float *s = x->att, *out = nc_hlx__row(x->mixed, position, d) + h * hd;
        size_t j;
        head.index = head.offset = 0;
        head.q = x->qkv + h * hd;
        if (model->config.flash) {
            head.block = (float *)(void *)model->head_work;
            nc_hlx__flash_queries(&head, x->mixed + h * hd, NULL, position, 1);
            continue;
        }
        nc_hlx__head_gemm(&head, 0, 1, 1, n, hd, head.q + position * 3 * d, 3 * d, head.q + d,
                          3 * d, s, n, 0);
        for (j = 0; j < n; j++) s[j] = s[j] * head.scale;
        nc_hlx_softmax(s, 1, n, 0);
        nc_hlx__head_gemm(&head, 0, 0, 1, hd, n, s, n, head.q + 2 * d, 3 * d, out, d, 0);
    }
}

static void nc_hlx__decode_layer(nc_hlx_model *model, size_t l, size_t r, const float *in) {
    nc_hlx__layer *x = &model->layers[l];
    const size_t d = model->config.d_model, f = model->config.ffn_dim;
    const size_t work = nc_hlx_gemm_work_bytes();
    float *p = model->parameters, *after = nc_hlx__row(x->after_att, r, d);
    nc_hlx_layernorm(nc_hlx__row(x->ln1, r, d), x->ln1_mean + r, x->ln1_rstd + r, in,
                     nc_hlx__tensor(model, p, NC_HLX__LN1_W, l),
                     nc_hlx__tensor(model, p, NC_HLX__LN1_B, l), 1, d);
    (void)nc_hlx_linear(nc_hlx__row(x->qkv, r, 3 * d), NULL, nc_hlx__row(x->ln1, r, d),
                        nc_hlx__tensor(model, p, NC_HLX__QKV_W, l),
                        nc_hlx__tensor(model, p, NC_HLX__QKV_B, l), NULL, 1, d, 3 * d,
                        model->gemm_work, work);
    nc_hlx__decode_attention(model, x, r);
    (void)nc_hlx_linear(
        after, NULL, nc_hlx__row(x->mixed, r, d), nc_hlx__tensor(model, p, NC_HLX__PROJ_W, l),
        nc_hlx__tensor(model, p, NC_HLX__PROJ_B, l), in, 1, d, d, model->gemm_work, work);
    nc_hlx_layernorm(nc_hlx__row(x->ln2, r, d), x->ln2_mean + r, x->ln2_rstd + r, after,
                     nc_hlx__tensor(model, p, NC_HLX__LN2_W, l),
                     nc_hlx__tensor(model, p, NC_HLX__LN2_B, l), 1, d);
    (void)nc_hlx_linear(nc_hlx__row(x->fc, r, f), nc_hlx__row(x->gelu, r, f),
                        nc_hlx__row(x->ln2, r, d), nc_hlx__tensor(model, p, NC_HLX__FC_W, l),
                        nc_hlx__tensor(model, p, NC_HLX__FC_B, l), NULL, 1, d, f, model->gemm_work,
                        work);
    (void)nc_hlx_linear(nc_hlx__row(x->out, r, d), NULL, nc_hlx__row(x->gelu, r, f),
                        nc_hlx__tensor(model, p, NC_HLX__OUT_W, l),
                        nc_hlx__tensor(model, p, NC_HLX__OUT_B, l), after, 1, f, d,
                        model->gemm_work, work);
}

NC_API nc_status nc_hlx_decode(nc_hlx_model *model, uint32_t token, uint32_t position,
                               const float **logits) {
    const nc_hlx_config *c;
    const float *in;
    float *row;
    size_t d, l;
    if (!model || !logits) return NC_ERR_ARG;
    c = &model->config;
    d = c->d_model;
    if (token >= c->vocab_size || position >= c->max_seq_len) return NC_ERR_ARG;
    if (c->recompute || c->bf16) return NC_ERR_UNSUPPORTED;
    model->ready = 0;
    row = nc_hlx__row(model->embedded, position, d);
    nc_hlx__add(row, nc_hlx__tensor(model, model->parameters, NC_HLX__WTE, 0) + token * d,
                nc_hlx__tensor(model, model->parameters, NC_HLX__WPE, 0) + position * d, d);
    in = row;
    for (l = 0; l < c->num_layers; l++) {
        nc_hlx__decode_layer(model, l, position, in);
        in = nc_hlx__row(model->layers[l].out, position, d);
    }
    row = nc_hlx__row(model->final, position, d);
    nc_hlx_layernorm(row, model->final_mean + position, model->final_rstd + position, in,
                     nc_hlx__tensor(model, model->parameters, NC_HLX__LNF_W, 0),
                     nc_hlx__tensor(model, model->parameters, NC_HLX__LNF_B, 0), 1, d);
    *logits = model->logits;
    return nc_hlx_gemm(0, 1, 1, c->vocab_size, d, row, d, nc_hlx__head_matrix(model), d,
                       model->logits, c->vocab_size, 0, model->gemm_work, nc_hlx_gemm_work_bytes());
}

/* Falling probability, rising token among equals. */
static int nc_hlx__order(const void *a, const void *b) {
    const nc_hlx__candidate *x = (const nc_hlx__candidate *)a, *y = (const nc_hlx__candidate *)b;
    if (x->probability > y->probability) return -1;
    if (x->probability < y->probability) return 1;
    return x->token < y->token ? -1 : x->token > y->token;
}

/* Draw from softmax(logits / temperature) cut by top-k and top-p; ties keep the lower index. */
static uint32_t nc_hlx__draw(float *logits, uint32_t n, nc_hlx__candidate *order,
                             const nc_hlx_sampling *s, uint64_t index) {
    uint32_t words[4], kept = n, i, best = 0;
    float sum = 0.0f, at;
    for (i = 1; i < n; i++)
        if (logits[i] > logits[best]) best = i;
    if (!(s->temperature > 0.0f)) return best;
    for (i = 0; i < n; i++) logits[i] = logits[i] / s->temperature;
    nc_hlx_softmax(logits, 1, n, 0);
    for (i = 0; i < n; i++) {
        order[i].probability = logits[i];
        order[i].token = i;
    }
    qsort(order, n, sizeof *order, nc_hlx__order);
    if (s->top_k && s->top_k < kept) kept = s->top_k;
    for (i = 0; i < kept; i++) {
        sum = sum + order[i].probability;
        if (s->top_p > 0.0f && sum >= s->top_p) kept = i + 1;
    }
    nc__philox(s->seed, index, 1, words);
    at = (float)(words[0] >> 8) * (1.0f / 16777216.0f) * sum;
    for (i = 0, sum = 0.0f; i + 1 < kept; i++) {
        sum = sum + order[i].probability;
        if (at < sum) break;
    }
    return order[i].token;
}

NC_API nc_status nc_hlx_sample_tokens(nc_hlx_model *model, const uint32_t *prompt, size_t n,
                                      const nc_hlx_sampling *sampling, uint32_t *out,
                                      size_t count) {
    nc_hlx_sampling s;
    uint32_t length = 0, cached = 0, seq, token, whole;
    uint32_t *context;
    size_t i;
    nc_status status = NC_OK;
    if (!model || (!prompt && n) || (!out && count)) return NC_ERR_ARG;
    memset(&s, 0, sizeof s);
    if (sampling) s = *sampling;
    seq = model->config.max_seq_len;
    whole = model->config.recompute | model->config.bf16;
    context = model->targets; /* free outside training steps, as long as max_seq_len */
    if (n > seq) {
        prompt += n - seq;
        n = seq;
    }
    for (i = 0; i < n; i++) context[length++] = prompt[i];
    if (length == 0) context[length++] = '\n';
    for (i = 0; i < count; i++) {
        const float *logits = model->logits;
        if (whole) {
            status = nc_hlx__run(model, context, 1, length, 0);
            logits = model->logits + (size_t)(length - 1) * model->config.vocab_size;
        }
        for (; !whole && cached < length && status == NC_OK; cached++)
            status = nc_hlx_decode(model, context[cached], cached, &logits);
        if (status != NC_OK) return status;
        token = nc_hlx__draw(model->logits + (logits - model->logits), model->config.vocab_size,
                             model->candidates, &s, i);
        out[i] = token;
        if (length == seq) {
            length = seq / 2;
            memmove(context, context + seq - length, length * sizeof *context);
            cached = 0;
        }
        context[length++] = token;
    }
    return NC_OK;
}

NC_API nc_status nc_hlx_sample(nc_hlx_model *model, const uint8_t *prompt, size_t prompt_bytes,
                               const nc_hlx_sampling *sampling, uint8_t *out, size_t count) {
    const nc_allocator *hooks;
    uint32_t *tokens;
    size_t bytes = nc__mul_size(nc__add_size(prompt_bytes, count), sizeof *tokens), i;
    nc_status status;
    if (!model || (!prompt && prompt_bytes) || (!out && count) || model->config.vocab_size != 256)
        return NC_ERR_ARG;
    hooks = nc_hlx__hooks(model);
    tokens = (uint32_t *)nc__alloc(hooks, bytes);
    if (!tokens) return NC_ERR_MEMORY;
    for (i = 0; i < prompt_bytes; i++) tokens[i] = prompt[i];
    status =
        nc_hlx_sample_tokens(model, tokens, prompt_bytes, sampling, tokens + prompt_bytes, count);
    for (i = 0; i < count && status == NC_OK; i++) out[i] = (uint8_t)tokens[prompt_bytes + i];
    nc__free(hooks, tokens, bytes);
    return status;
}

#ifndef NC_NO_STDIO
/* Encode bytes into to; returns the number of tokens. Word by word, so that no copy of the whole
 * text in wider tokens is needed. */
static size_t nc_hlx__encode16(const nc_hlx_bpe *bpe, const uint8_t *text, size_t bytes,
                               uint16_t *to) {
    uint32_t word[NC_HLX__WORD];
    size_t at = 0, count = 0, n, i;
    while (at < bytes) {
        size_t length = nc_hlx__word(text + at, bytes - at);
        n = nc_hlx_bpe_encode(bpe, text + at, length, word);
        for (i = 0; i < n; i++) nc__put_le((uint8_t *)(to + count++), word[i], 2);
        at += length;
    }
    return count;
}

NC_API nc_status nc_hlx_data_open(nc_hlx_data *data, const char *path, uint32_t token_bytes,
                                  const nc_hlx_bpe *bpe, uint32_t seq, uint64_t seed,
                                  nc_error *err) {
    const uint8_t *from;
    size_t count, split, train, valid;
    nc_status status;
    nc__clear(err);
    if (!data || !path || (token_bytes != 1 && token_bytes != 2 && token_bytes != 4) ||
        (bpe && token_bytes != 1))
        return nc__fail(err, NC_ERR_ARG, 0, 0, "tokens have 1, 2 or 4 bytes, and text a tokenizer");
    memset(data, 0, sizeof *data);
    status = nc_hlx_file_open(&data->file, path, err);
    if (status != NC_OK) return status;
    from = data->file.data;
    count = data->file.bytes / token_bytes;
    train = split = count / 10 * 9;
    valid = count - split;
    data->train_bytes = split * token_bytes;
    data->valid_bytes = valid * token_bytes;
    if (bpe && from) {
        data->encoded_bytes = nc__mul_size(count, 2);
        data->encoded = (uint16_t *)nc__alloc(NULL, data->encoded_bytes);
        if (!data->encoded) {
            nc_hlx_data_close(data);
            return nc__fail(err, NC_ERR_MEMORY, 0, 0, "out of memory");
        }
        train = nc_hlx__encode16(bpe, from, split, data->encoded);
        valid = nc_hlx__encode16(bpe, from + split, valid, data->encoded + train);
        from = (const uint8_t *)data->encoded;
        token_bytes = 2;
    }
    status = from ? nc_hlx_loader_init_tokens(&data->train, from, train, token_bytes, seq, seed)
                  : NC_ERR_ARG;
    if (status == NC_OK)
        status = nc_hlx_loader_init_tokens(&data->valid, from + train * token_bytes, valid,
                                           token_bytes, seq, seed);
    if (status != NC_OK) {
        nc_hlx_data_close(data);
        return nc__fail(err, NC_ERR_LIMIT, 0, 0, "'%.120s' is too short", path);
    }
    return NC_OK;
}

NC_API void nc_hlx_data_close(nc_hlx_data *data) {
    if (!data) return;
    nc__free(NULL, data->encoded, data->encoded_bytes);
    nc_hlx_file_close(&data->file);
    memset(data, 0, sizeof *data);
}
#endif

#undef NC_HLX__VERSIONS
#undef NC_HLX__INLINE
#undef NC_HLX__PIECES
#undef NC_HLX__PARALLEL
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
