/* nc_hlx.h - transformer training and inference in which the same seed gives the same bits
   version 0.1.0 - MIT or public domain, see the end of the file

   Copy this file into your project. In ONE C or C++ file:

       #define NC_IMPLEMENTATION
       #include "nc_hlx.h"

   Compile with: cc -O2 file.c -lm
   and -fopenmp for threads; with or without, with any number of threads, in portable C, AVX2,
   AVX-512 or NEON, at any optimisation level, the parameters after N steps are the same bits. For
   the GPU define NC_GPU and copy nc_gpu.h and the kernels (.spv, .ptx) too: probe and all but those
   that begin with gl_, fp4_, axx_ and tir_; it wants -ldl where dlopen is not in the C library
   (glibc before 2.34).

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
     >>types       configuration, optimiser, loader, model
     >>api         all functions, in the order of the sections below
     >>simd        instruction sets
     >>functions   exp, log, tanh
     >>reductions  sums of one fixed shape
     >>kernels     elements and rows of plain row-major float32 arrays
     >>gemm        matrix products and linear layers
     >>attention   with stored probabilities, and in tiles
     >>optimiser   AdamW
     >>tokenizer   byte-pair encoding
     >>data        files of text or tokens, and the windows that training takes from them
     >>model       parameters, and the memory of a model
     >>passes      forward, backward, update
     >>training    whole steps, and validation
     >>sampling    tokens from a model
     >>checkpoints all of a model in a file
     >>weights     the parameters as safetensors
     >>gpu         products and training steps on a device (NC_GPU)
     >>changelog

   Options, defined before including:
     NC_API, NC_STATIC     how functions are declared; NC_STATIC makes all of them static
     NC_MALLOC, NC_FREE    default allocator where no nc_allocator is passed
     NC_NO_STDIO           no checkpoints, no file access
     NC_MAX_FILE_BYTES     larger files are refused, not read; those that are mapped have no limit
     NC_NO_SIMD            portable C only
     NC_GPU                also compile the GPU entry points (needs nc_gpu.h)
     NC_HLX_FP4            also decode with weights of 4 bits (needs nc_fp4.h)

   To add an activation: its value before NC_HLX_ACTIVATIONS, its line in NC_HLX__ACTIVATIONS, its
   value and its slope before that list, a case each in nc_activate and nc_slope of
   cuda/nc_kernel.h, and its known answers in tests/hlx_kernels.c. A line that is missing or out of
   order does not compile.
   To add a parameter tensor: its line in NC_HLX__TENSOR_LIST, from which place, size, start, decay,
   name and files follow, and its use in >>passes; a buffer of activations likewise in the list of
   buffers. What it does on a device follows from its use, which both sides share.

   The numeric contract, which every function here keeps:
     - float32 + - * / sqrt and explicit fma, round to nearest even, subnormals kept; nothing is
       reassociated, and the compiler may fuse nothing on its own.
     - a dot product over k is the chain c = fma(a[k], b[k], c) with k ascending.
     - a reduction to a scalar has the fixed shape of nc_hlx_sum.
     - sums over the batch axis are chains in ascending index.
   Bits are promised of what is finite: which NaN comes out is the processor's, and steps that a
   causal mask leaves out, 0 times a value, make a NaN of an infinite one on some instruction sets.
   -ffast-math breaks it and is refused. */

#ifndef NC_HLX_H
#define NC_HLX_H

/* The release that this file is of, as text and as numbers for #if; the same in every nc_*.h. */
#define NC_HLX_VERSION "0.1.0"
#define NC_HLX_VERSION_MAJOR 0
#define NC_HLX_VERSION_MINOR 1
#define NC_HLX_VERSION_PATCH 0

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

/* >>types ========================================================================== */

/* What stands between the two matrices of a feed-forward layer. */
typedef enum nc_hlx_activation {
    NC_HLX_GELU = 0, /* x/2 (1 + tanh(sqrt(2/pi) (x + 0.044715 x^3))) */
    NC_HLX_SILU = 1, /* x / (1 + e^-x) */
    NC_HLX_ACTIVATIONS
} nc_hlx_activation;

/* Which matrices of a layer have a bias. */
enum { NC_HLX_BIASES_ALL = 0, NC_HLX_BIASES_NONE = 1, NC_HLX_BIASES_QKV = 2 };

/* Zero in a member means its default (the "tiny" preset). Limits: d_model a multiple of
 * num_heads unless head_size is given, every integer but rope_original below 2^20, as are num_heads
 * * head_size and batch_size * micro_batches, batch_size * micro_batches * max_seq_len below 2^24,
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
    uint32_t activation; /* of the feed-forward layers: one of nc_hlx_activation */
    /* LLaMA's kind of blocks, each on its own. What is the default anyway becomes 0 here. */
    uint32_t
        num_kv_heads;   /* grouped queries (nc_hlx_heads): a divisor of num_heads; 0: num_heads */
    uint32_t head_size; /* 0: d_model / num_heads; even with rotary */
    uint32_t rms_norm;  /* 1: RMSNorm without beta for all layer norms */
    float norm_eps;     /* of layer norms; 0: 1e-5; below 1 */
    uint32_t rotary;    /* 1: rotary positions of Q and K, and no position embeddings */
    float rope_theta;   /* this and the next four are the members of nc_hlx_rope, for rotary */
    uint32_t rope_original;
    float rope_factor, rope_low, rope_high;
    uint32_t gated_ffn; /* 1: out = W_out nc_hlx_swiglu(W_fc x), W_fc d_model x 2 ffn_dim */
    uint32_t biases;    /* NC_HLX_BIASES_ALL, NONE, or QKV alone (Qwen2) */
} nc_hlx_config;

/* AdamW with decoupled decay (Loshchilov, Hutter 2019) and linear warm-up, cosine decay. Decay
 * applies to matrices and embeddings, not to biases and layer norms. No member is negative,
 * infinite or NaN, and the betas are below 1: NC_ERR_ARG. */
typedef struct nc_hlx_adamw {
    float lr;           /* 0: 3e-4 */
    float lr_min;       /* end of the cosine; 0: 0 */
    float beta1;        /* 0: 0.9 */
    float beta2;        /* 0: 0.999 */
    float eps;          /* 0: 1e-8 */
    float weight_decay; /* 0: none */
    float clip_norm;    /* gradients are scaled to this norm when above it; 0: no clipping */
    uint32_t warmup_steps;
    uint32_t decay_steps; /* steps until lr_min, warm-up included; 0, or no more than warmup_steps:
                             lr stays constant behind the warm-up */
} nc_hlx_adamw;

/* Windows of seq tokens and their successors. The (count - 1) / seq windows of an epoch, rounded
 * down, lie end to end; they are cut from a first token that the seed and the epoch draw (in the
 * first epoch among the tokens that are left over, later among seq more; a window that would reach
 * beyond the last token then moves back to it), and come in an order of their own each epoch, every
 * one once (a permutation by Philox). Windows cross from a document into the next. Plain data: copy
 * it to remember a position. The tokens are not copied and must outlive the loader. */
typedef struct nc_hlx_loader {
    const uint8_t *data;  /* bytes, or little-endian integers of token_bytes bytes */
    size_t count;         /* tokens */
    uint32_t token_bytes; /* 1, 2, 4 or 8 */
    uint32_t seq;
    uint64_t seed;
    uint64_t next;       /* windows taken so far, over all epochs */
    const uint8_t *mask; /* null, or a byte a token: one whose byte is 0 is read, but no target */
} nc_hlx_loader;

/* A file in memory: mapped where the system can (do not cut it short meanwhile), read elsewhere. */
typedef struct nc_hlx_file {
    const uint8_t *data;
    size_t bytes;
    uint8_t *memory; /* what data points to, to be released */
    int mapped;
} nc_hlx_file;

typedef struct nc_hlx_stats {
    float loss;      /* mean cross-entropy in nats per target */
    float grad_norm; /* before clipping */
    float lr;
    uint32_t reserved;
    uint64_t step; /* steps done, this one included */
} nc_hlx_stats;

/* What a run keeps in its checkpoints beside model, optimiser and loader, so that it goes on with
 * what it began with. */
typedef struct nc_hlx_run {
    uint64_t data_bytes, data_digest;   /* nc_hlx_fingerprint of the file it trains on */
    uint64_t valid_bytes, valid_digest; /* and of a file of its own for validation; 0: none */
    uint64_t tokenizer;                 /* nc_hlx_bpe_digest; 0: none */
    uint64_t best_step;                 /* of the best validation; 0: there was none */
    uint32_t token_bytes;               /* of the file; 0: nothing is known of the run */
    float best_loss;
    uint32_t best_windows; /* that it is a mean over */
    uint32_t worse;        /* validations since */
    uint64_t valid_step;   /* of the last validation; 0: there was none */
} nc_hlx_run;

/* Told that the gradients of parameters [first, first + count) are complete. */
typedef void (*nc_hlx_ready_fn)(void *user, size_t first, size_t count);

/* Asked for moments (0: the first, 1: the second) of parameters [first, first + count). */
typedef nc_status (*nc_hlx_moments_fn)(void *user, uint32_t moment, size_t first, size_t count,
                                       float *out);

/* Sampling: zero temperature takes the most likely token. */
typedef struct nc_hlx_sampling {
    float temperature;
    float top_p;    /* keep the likeliest tokens up to this probability; 0: all */
    uint32_t top_k; /* keep the k likeliest tokens; 0: all */
    uint32_t reserved;
    uint64_t seed;
    /* Null, or called with each token drawn; nonzero: it is the last one. */
    int (*token_fn)(void *user, uint32_t token);
    void *user;
} nc_hlx_sampling;

/* Where the file of an import may differ from the model; what is 0 is refused by name. */
typedef struct nc_hlx_import_options {
    uint32_t
        resize_positions;  /* 1: rows of wpe.weight beyond the model's are cut, missing ones 0 */
    uint32_t resize_vocab; /* 1: rows of wte.weight and lm_head.weight likewise */
    uint32_t drop_head;    /* 1: a tied model drops a lm_head.weight other than wte.weight */
    uint32_t *heads; /* null, or gets the number of heads that the files say; 0: none does, and
                              those of the model are taken */
} nc_hlx_import_options;

/* A target that counts for nothing. */
#define NC_HLX_IGNORE UINT32_MAX

/* Parameters, gradients, moments and activations of one model. Independent of other models. */
typedef struct nc_hlx_model nc_hlx_model;

/* Keys and values of one or more sequences that a model continues, and memory for the passes over
 * their new tokens: no gradients, and nothing kept for them. */
typedef struct nc_hlx_cache nc_hlx_cache;

/* What a cache multiplies by: the matrices of the layers. Embeddings, output matrix, biases and
 * norms stay float32. */
typedef enum nc_hlx_weights {
    NC_HLX_WEIGHTS_FLOAT32 = 0, /* the model's own */
    NC_HLX_WEIGHTS_INT8,        /* codes -127 .. 127, a float32 scale for each output */
    NC_HLX_WEIGHTS_MXFP4,       /* 4 bits, as nc_fp4.h has them, with NC_HLX_FP4 */
    NC_HLX_WEIGHTS_NVFP4,
    NC_HLX_WEIGHTS_NF4,
    NC_HLX_WEIGHTS_COUNT
} nc_hlx_weights;

/* Shape of multi-head attention. qkv has batch * seq rows of heads' Q, then K, then V ((heads + 2
 * kv_heads) * head_size wide; GPT-2's c_attn has as many of each); outputs have rows of heads *
 * head_size. With fewer kv_heads, heads / kv_heads successive queries share a K and a V (grouped
 * queries: Ainslie et al. 2023). */
typedef struct nc_hlx_heads {
    size_t batch, seq, heads, head_size;
    int causal;      /* query i sees keys 0 .. i */
    size_t kv_heads; /* a divisor of heads; 0: heads */
} nc_hlx_heads;

/* Rotary positions (Su et al. 2021): pair i of h turns by theta^(-2 i / head_size) a position. With
 * `original` these frequencies are scaled as for Llama 3.1, to go beyond the context of so many
 * tokens that a model was trained with: those of wavelengths above original / low are divided by
 * factor, those below original / high stay, and between it goes over. */
typedef struct nc_hlx_rope {
    float theta;             /* 0: 10,000; from 1 on */
    uint32_t original;       /* 0: no scaling, and zeros behind it */
    float factor, low, high; /* 1 <= factor, 0 < low < high */
} nc_hlx_rope;

/* A tokenizer: tokens of bytes and the merges that make them; read-only once made. */
typedef struct nc_hlx_bpe nc_hlx_bpe;

/* How a text is cut into the pieces inside which merges stay: own words, or as these tokenizers
 * do it. LLAMA3 is the form that Hugging Face's cl100k has too; CL100K is tiktoken's, which takes
 * white space at the end of a text as one piece. Characters are those of Unicode 16; a byte that is
 * no valid UTF-8 is a character of its own that is neither letter, number nor white space. */
typedef enum nc_hlx_pattern {
    NC_HLX_PATTERN_WORDS = 0,
    NC_HLX_PATTERN_GPT2 = 1,
    NC_HLX_PATTERN_CL100K = 2,
    NC_HLX_PATTERN_LLAMA3 = 3,
    NC_HLX_PATTERN_QWEN2 = 4,
    NC_HLX_PATTERN_O200K = 5,
    NC_HLX_PATTERN_TEKKEN = 6, /* Mistral */
    NC_HLX_PATTERN_DIGITS = 7, /* each number alone, then GPT-2: StarCoder, SmolLM */
    NC_HLX_PATTERNS
} nc_hlx_pattern;

#ifndef NC_NO_STDIO
/* Which data, and how it is read. */
typedef struct nc_hlx_data_options {
    const char *path;
    const char *valid_path; /* for validation; null: the last tenth of path */
    const nc_hlx_bpe *bpe;  /* for text; null: its bytes are the tokens */
    uint32_t token_bytes; /* 1: text; 2, 4, 8: a plain token file, as nanoGPT's (2); 0: by content:
                               llm.c's token files, integers of .npy, else text */
    uint32_t vocab;       /* tokens from here on are refused; 0: not looked at */
    uint32_t seq;         /* of the loaders */
    uint32_t apart;       /* 1: the token behind a document_end is no target */
    uint32_t document_end;
    uint32_t reserved;
    uint64_t seed;
    nc_progress_fn
        progress; /* null, or asked in bytes of a file while it is encoded or looked at */
    void *user;
} nc_hlx_data_options;

/* A file as tokens. */
typedef struct nc_hlx_source {
    nc_hlx_file file;
    const uint8_t *tokens; /* in the file, or encoded */
    size_t count;
    uint32_t token_bytes;      /* of these */
    uint32_t file_token_bytes; /* of those in the file */
    uint32_t text;             /* 1: they are the bytes of a text */
    uint32_t reserved;
    uint8_t *encoded;
    size_t encoded_bytes;
    uint8_t *mask; /* a byte a token, with apart */
} nc_hlx_source;

typedef struct nc_hlx_data {
    nc_hlx_loader train, valid;
    size_t train_bytes, valid_bytes; /* of the files */
    nc_hlx_source source, valid_source;
} nc_hlx_data;
#endif

/* >>api ============================================================================ */

/* -- simd: instruction sets ----------------------------------------------------------- */

/* Force the instruction set of all kernels: 0 portable, 1 AVX2 + FMA or NEON, 2 AVX-512 (NEON with
 * dot products: the same as 1), -1 best. NC_ERR_UNSUPPORTED when this machine lacks it, NC_ERR_ARG
 * for other levels. For tests and measurements; process-wide. */
NC_API nc_status nc_hlx_set_simd(int level);
/* The level in use. */
NC_API int nc_hlx_simd(void);

/* -- functions: exp, log, tanh -------------------------------------------------------- */

/* e^x, error below 2 ulp; overflow gives infinity, underflow rounds to subnormals, NaN stays.
 * exact: the same bits everywhere. */
NC_API float nc_hlx_exp(float x);
/* Natural logarithm, error below 2 ulp; 0 gives -infinity, negative values NaN. */
NC_API float nc_hlx_log(float x);
/* Hyperbolic tangent, error below 2 ulp. */
NC_API float nc_hlx_tanh(float x);

/* -- reductions: sums of one fixed shape ---------------------------------------------- */

/* The fixed reduction: 32 lane sums s[j] = x[j] + x[32 + j] + ... in ascending order, then a
 * tree s[j] += s[j + 16], 8, 4, 2, 1. Beyond 4,096 values the chunk sums are reduced by the
 * same rule. Empty sums are +0. */
NC_API float nc_hlx_sum(const float *x, size_t n);
/* The same shape over the products a[i] b[i]; each lane is a chain of fma. */
NC_API float nc_hlx_dot(const float *a, const float *b, size_t n);

/* -- kernels: elements and rows of plain row-major float32 arrays --------------------- */

/* out[i] = the activation of x[i]; out may be x. NC_ERR_ARG for what is no nc_hlx_activation. */
NC_API nc_status nc_hlx_activate(float *out, const float *x, size_t n, uint32_t activation);
/* dx[i] = dout[i] times the activation's derivative at x[i]; dx may be dout. Errors likewise. */
NC_API nc_status nc_hlx_activate_backward(float *dx, const float *dout, const float *x, size_t n,
                                          uint32_t activation);
/* "gelu", ..; null for what is no nc_hlx_activation. */
NC_API const char *nc_hlx_activation_name(uint32_t activation);
/* nc_hlx_activate with NC_HLX_GELU. */
NC_API void nc_hlx_gelu(float *out, const float *x, size_t n);
/* nc_hlx_activate_backward with NC_HLX_GELU. */
NC_API void nc_hlx_gelu_backward(float *dx, const float *dout, const float *x, size_t n);
/* Elements are dropped with probability rate in [0, 1), the others multiplied by 1 / (1 - rate).
 * Element i has the counter c = counter + i: word c mod 4 of Philox(seed, c / 4, stream) keeps
 * it from rate 2^32 up. The backward pass is the same call on the gradient. out may be x. */
NC_API void nc_hlx_dropout(float *out, const float *x, size_t n, uint64_t counter, float rate,
                           uint64_t seed, uint64_t stream);
/* To the nearest bfloat16, ties to even, by integer operations; NaN stays NaN. In place: */
NC_API void nc_hlx_bf16_round(float *x, size_t n);
/* into 16 bits: */
NC_API void nc_hlx_bf16_pack(uint16_t *out, const float *x, size_t n);
/* and back, exactly. */
NC_API void nc_hlx_bf16_unpack(float *out, const uint16_t *x, size_t n);
/* sums[i] += chain over ascending rows of x (rows x n): the gradient of a bias. */
NC_API void nc_hlx_column_sums(float *sums, const float *x, size_t rows, size_t n);
/* out (rows x d) = token embedding + position embedding (wpe, null: none); row r has position r mod
 * seq. That wte has these tokens is not checked, here and below. */
NC_API void nc_hlx_embedding(float *out, const uint32_t *tokens, const float *wte, const float *wpe,
                             size_t rows, size_t seq, size_t d);
/* dwte, dwpe (may be null) += chains over ascending rows of dout. */
NC_API void nc_hlx_embedding_backward(float *dwte, float *dwpe, const float *dout,
                                      const uint32_t *tokens, size_t rows, size_t seq, size_t d);
/* Layer norm over rows of width n: mean, then variance by a second pass, eps 1e-5; keeps mean
 * and reciprocal deviation of each row for the backward pass. */
NC_API void nc_hlx_layernorm(float *out, float *mean, float *rstd, const float *x,
                             const float *gamma, const float *beta, size_t rows, size_t n);
/* The same with another eps. */
NC_API void nc_hlx_layernorm_eps(float *out, float *mean, float *rstd, const float *x,
                                 const float *gamma, const float *beta, size_t rows, size_t n,
                                 float eps);
/* dx += gradient; dgamma, dbeta += chains over ascending rows. n is at most 2^24. */
NC_API void nc_hlx_layernorm_backward(float *dx, float *dgamma, float *dbeta, const float *dout,
                                      const float *x, const float *gamma, const float *mean,
                                      const float *rstd, size_t rows, size_t n);
/* nc_hlx_layernorm with the variance as E[x^2] - E[x]^2, in one pass: it cancels where the mean
 * is large against the deviation (see tests/hlx_kernels.c) and is here only for those who must
 * match it. */
NC_API void nc_hlx_layernorm_one_pass(float *out, float *mean, float *rstd, const float *x,
                                      const float *gamma, const float *beta, size_t rows, size_t n);
/* RMSNorm (Zhang, Sennrich 2019) over rows of width n: out = (x rstd) gamma, with rstd = 1 /
 * sqrt(mean(x^2) + eps) kept for the backward pass. */
NC_API void nc_hlx_rmsnorm(float *out, float *rstd, const float *x, const float *gamma, size_t rows,
                           size_t n, float eps);
/* dx += gradient; dgamma += chains over ascending rows. n is at most 2^24. */
NC_API void nc_hlx_rmsnorm_backward(float *dx, float *dgamma, const float *dout, const float *x,
                                    const float *gamma, const float *rstd, size_t rows, size_t n);
/* Rows for the positions from 0 on: cosines of head_size / 2 angles, then their sines. An angle is
 * position times frequency in float32, as Hugging Face's models have it; frequencies are rounded
 * once, cosines and sines are within 1 ulp of the angle's, the same bits everywhere. NC_ERR_ARG for
 * null pointers, an odd head_size, more than 2^20 positions and what nc_hlx_rope excludes. */
NC_API nc_status nc_hlx_rotary_table(float *table, size_t positions, size_t head_size,
                                     const nc_hlx_rope *rope);
/* In place, the first `heads` heads of rows with stride ld: values i and i + head_size / 2 of a
 * head are a pair (u, v) and become (u cos - v sin, v cos + u sin). Row r has position r mod seq.
 * inverse turns back: the backward pass. */
NC_API void nc_hlx_rotary(float *x, const float *table, size_t rows, size_t seq, size_t heads,
                          size_t head_size, size_t ld, int inverse);
/* out (rows x n) = activation(gate) up, where rows of x are gate, then up (n each): SwiGLU with
 * NC_HLX_SILU (Shazeer 2020). NC_ERR_ARG for what is no nc_hlx_activation. */
NC_API nc_status nc_hlx_swiglu(float *out, const float *x, size_t rows, size_t n,
                               uint32_t activation);
/* dx (rows x 2 n, not dout) = the gradient at x. */
NC_API nc_status nc_hlx_swiglu_backward(float *dx, const float *dout, const float *x, size_t rows,
                                        size_t n, uint32_t activation);
/* Rows of softmax in place: maximum, exp(x - max), fixed sum, one division each. With causal,
 * row r keeps its first r + 1 entries and the rest become 0. */
NC_API void nc_hlx_softmax(float *x, size_t rows, size_t n, int causal);
/* dx = y (dy - dot(dy, y)) per row, in place of dy. */
NC_API void nc_hlx_softmax_backward(float *dy, const float *y, size_t rows, size_t n, int causal);
/* Mean cross-entropy of rows of logits and, in place of the logits, its gradient. Targets
 * >= n are ignored (no loss, zero gradient); the mean of none is 0. losses[rows] is scratch. */
NC_API float nc_hlx_cross_entropy(float *logits, const uint32_t *targets, float *losses,
                                  size_t rows, size_t n);

/* -- gemm: matrix products and linear layers ------------------------------------------ */

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
/* out (rows x n) = x (rows x k) w (k x n) + bias, then + residual (rows x n, null: none), and
 * activated (rows x n, null: none) = the activation of out, all in the gemm's epilogue. Errors as
 * nc_hlx_gemm. */
NC_API nc_status nc_hlx_linear(float *out, float *activated, uint32_t activation, const float *x,
                               const float *w, const float *bias, const float *residual,
                               size_t rows, size_t k, size_t n, void *work, size_t work_bytes);
/* The definition of nc_hlx_gemm, one fmaf at a time: the judge in tests. */
NC_API void nc_hlx_gemm_ref(int trans_a, int trans_b, size_t m, size_t n, size_t k, const float *a,
                            size_t lda, const float *b, size_t ldb, float *c, size_t ldc,
                            int accumulate);

/* -- attention: with stored probabilities, and in tiles ------------------------------- */

/* Bytes of scratch with so many threads: for nc_hlx_attention and its backward pass (flash 0), or
 * for the flash pair (1), whose scratch does not grow with seq^2. */
NC_API size_t nc_hlx_attention_work_bytes(const nc_hlx_heads *shape, int flash, uint32_t threads);
/* out = softmax(Q K^T / sqrt(head_size)) V per head; the probabilities (batch, heads, seq, seq) are
 * kept for the backward pass. Uses as many threads as work has room for. NC_ERR_ARG for null
 * pointers, empty shapes, kv_heads that do not divide heads and too little work memory, in all four
 * functions. */
NC_API nc_status nc_hlx_attention(float *out, float *probabilities, const float *qkv,
                                  const nc_hlx_heads *shape, void *work, size_t work_bytes);
/* dqkv (overwritten) from dout: dK and dV are chains over ascending queries, of one head after the
 * other where heads share them; dQ over ascending keys. */
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
/* dqkv (overwritten) from dout, with P = exp(score - lse) computed again tile by tile; chains as in
 * nc_hlx_attention_backward. */
NC_API nc_status nc_hlx_flash_attention_backward(float *dqkv, const float *dout, const float *out,
                                                 const float *lse, const float *qkv,
                                                 const nc_hlx_heads *shape, void *work,
                                                 size_t work_bytes);

/* -- optimiser: AdamW ----------------------------------------------------------------- */

/* Whether settings are in their ranges (null: all defaults): NC_ERR_ARG names the first member that
 * is not, and its value. */
NC_API nc_status nc_hlx_adamw_check(const nc_hlx_adamw *adamw, nc_error *err);
/* Learning rate of a step, counted from 1. */
NC_API float nc_hlx_learning_rate(const nc_hlx_adamw *adamw, uint64_t step);
/* One step of AdamW, counted from 1, on n parameters that all decay by adamw->weight_decay:
 * g' = scale g, m <- b1 m + (1 - b1) g', v <- b2 v + (1 - b2) g'^2, p <- p - lr (mh / (sqrt(vh) +
 * eps) + decay p) with mh, vh corrected for the bias. clip_norm is not looked at. */
NC_API void nc_hlx_adamw_update(float *p, const float *g, float *m, float *v, size_t n,
                                const nc_hlx_adamw *adamw, uint64_t step, float scale);

/* -- tokenizer: byte-pair encoding ---------------------------------------------------- */

/* Learn vocab - 256 merges (256 <= vocab <= 65,536; fewer when no pair occurs twice) from a text,
 * the most frequent pair first, the smaller one among equals: the same merges everywhere. Pairs
 * stay inside words: a word starts where white space follows another byte, and is at most 64 bytes,
 * cut between characters of UTF-8. progress may be null. Errors: NC_ERR_ARG, NC_ERR_MEMORY,
 * NC_ERR_CANCELLED. */
NC_API nc_status nc_hlx_bpe_train(nc_hlx_bpe **bpe, const void *text, size_t bytes, uint32_t vocab,
                                  const nc_allocator *hooks, nc_progress_fn progress, void *user);
/* The same with pairs inside the pieces of a pattern (nc_hlx_pattern), of which those above 256
 * bytes are cut between characters where merges are learned; tokens differ from each other. */
NC_API nc_status nc_hlx_bpe_train_pattern(nc_hlx_bpe **bpe, const void *text, size_t bytes,
                                          uint32_t vocab, uint32_t pattern,
                                          const nc_allocator *hooks, nc_progress_fn progress,
                                          void *user);
/* Release; null is fine. */
NC_API void nc_hlx_bpe_destroy(nc_hlx_bpe *bpe);
/* One more than the largest id; some below may have no token. 256 and the number of merges for a
 * tokenizer that was trained on words. */
NC_API uint32_t nc_hlx_bpe_vocab(const nc_hlx_bpe *bpe);
/* Its nc_hlx_pattern. */
NC_API uint32_t nc_hlx_bpe_pattern(const nc_hlx_bpe *bpe);
/* Whether texts are normalised (NFC) before they become tokens; decoding gives that form back. */
NC_API int nc_hlx_bpe_nfc(const nc_hlx_bpe *bpe);
/* The id of the token of exactly these bytes, UINT32_MAX for none. */
NC_API uint32_t nc_hlx_bpe_find(const nc_hlx_bpe *bpe, const void *text, size_t bytes);
/* Name a special token, before the tokenizer is used: for files of ranks, which hold none. The id
 * (below 2^20) is free or has this text already; else NC_ERR_ARG. NC_ERR_MEMORY, and NC_ERR_LIMIT
 * where all tokens together had 2^30 bytes: the tokenizer is as before. */
NC_API nc_status nc_hlx_bpe_add_special(nc_hlx_bpe *bpe, const char *text, uint32_t id);
/* The token that ends a document (<|endoftext|> and its like), UINT32_MAX if there is none. */
NC_API uint32_t nc_hlx_bpe_end(const nc_hlx_bpe *bpe);
/* Tokens that a text of so many bytes becomes at most: bytes + 16, 3 bytes + 16 where characters
 * are normalised (NFC). */
NC_API size_t nc_hlx_bpe_room(const nc_hlx_bpe *bpe, size_t bytes);
/* Any bytes to tokens; tokens has nc_hlx_bpe_room. Returns their number. Special tokens in the text
 * are text (tiktoken's encode_ordinary). Takes memory for long texts and pieces; without any it is
 * slow and gives the same, but SIZE_MAX where characters are normalised. */
NC_API size_t nc_hlx_bpe_encode(const nc_hlx_bpe *bpe, const void *text, size_t bytes,
                                uint32_t *tokens);
/* The same where special tokens in the text become themselves, the longest at each place, and the
 * file's template puts its tokens before and after: what `tokenizers` gives. */
NC_API size_t nc_hlx_bpe_encode_document(const nc_hlx_bpe *bpe, const void *text, size_t bytes,
                                         uint32_t *tokens);
/* Tokens to the bytes they came from. *written gets the length, and at most `room` bytes are
 * written, so that out may be null to ask. NC_ERR_FORMAT for an id that has no token. */
NC_API nc_status nc_hlx_bpe_decode(const nc_hlx_bpe *bpe, const uint32_t *tokens, size_t n,
                                   uint8_t *out, size_t room, size_t *written);
/* How many of these bytes to print now: all but a character of UTF-8 at the end that more bytes may
 * make whole, for text that comes token by token. */
NC_API size_t nc_hlx_utf8_whole(const void *text, size_t bytes);
/* 64-bit FNV-1a of all that encoding depends on, tokens, merges, pattern and special tokens: it
 * follows from these, not from the form of the file. */
NC_API uint64_t nc_hlx_bpe_digest(const nc_hlx_bpe *bpe);
#ifndef NC_NO_STDIO
/* Read a tokenizer of any form by its content: nc_hlx_bpe_save's; tokenizer.json of Hugging Face
 * (BPE over bytes); vocab.json of GPT-2 with merges.txt in the same folder; a file of ranks of
 * tiktoken. Ids below 2^20. `pattern`, an nc_hlx_pattern, is for files that name none: ranks not
 * known by their number of tokens, two files that are not GPT-2's; 0: the file's own. What is not
 * done here (normalisers but NFC, other regular expressions, tokens that look at what surrounds
 * them) is refused by name: NC_ERR_UNSUPPORTED, with line and column. Texts are normalised where
 * tokenizer.json says so, for the ranks of Qwen and for two files with QWEN2, as their own code
 * does; characters newer than Unicode 9 stay as they are, as in `tokenizers`. NC_ERR_ARG for
 * another pattern than the file's, or none; NC_ERR_FORMAT, NC_ERR_LIMIT, NC_ERR_IO,
 * NC_ERR_MISMATCH, NC_ERR_MEMORY. */
NC_API nc_status nc_hlx_bpe_open(nc_hlx_bpe **bpe, const char *path, uint32_t pattern,
                                 const nc_allocator *hooks, nc_error *err);
/* nc_hlx_bpe_open with the file's own pattern. */
NC_API nc_status nc_hlx_bpe_load(nc_hlx_bpe **bpe, const char *path, const nc_allocator *hooks,
                                 nc_error *err);
/* Write the merges, with a checksum, replacing `path` at the end; tokenizers that were not trained
 * here, or have special tokens, as nc_hlx_bpe_save_json. NC_ERR_ARG, NC_ERR_IO, NC_ERR_MEMORY. */
NC_API nc_status nc_hlx_bpe_save(const nc_hlx_bpe *bpe, const char *path, nc_error *err);
/* Write tokenizer.json, with which `tokenizers` gives the same ids. NC_ERR_UNSUPPORTED for words
 * and for ranks, which it cannot say; else as nc_hlx_bpe_save. */
NC_API nc_status nc_hlx_bpe_save_json(const nc_hlx_bpe *bpe, const char *path, nc_error *err);
#endif

/* -- data: files of text or tokens, and the windows that training takes from them ----- */

/* A loader over bytes. NC_ERR_ARG unless count > seq > 0. */
NC_API nc_status nc_hlx_loader_init(nc_hlx_loader *loader, const void *text, size_t count,
                                    uint32_t seq, uint64_t seed);
/* A loader over little-endian tokens of 1, 2, 4 or 8 bytes; NC_ERR_ARG for other sizes too. */
NC_API nc_status nc_hlx_loader_init_tokens(nc_hlx_loader *loader, const void *tokens, size_t count,
                                           uint32_t token_bytes, uint32_t seq, uint64_t seed);
/* Next batch x seq tokens and their successors. */
NC_API void nc_hlx_loader_next(nc_hlx_loader *loader, uint32_t *tokens, uint32_t *targets,
                               uint32_t batch);
/* What tells a file from another: FNV-1a of its bytes or, beyond 2^24, of 256 blocks of 65,536
 * bytes, block i at i (bytes - 65,536) / 255 rounded down, and of its size as 8 bytes. */
NC_API uint64_t nc_hlx_fingerprint(const void *data, size_t bytes);
#ifndef NC_NO_STDIO
/* Open a file for reading: it is mapped, a pipe or device read to its end. NC_ERR_IO with a
 * message. Close with nc_hlx_file_close. */
NC_API nc_status nc_hlx_file_open(nc_hlx_file *file, const char *path, nc_error *err);
/* Release; a file of zeros is fine. */
NC_API void nc_hlx_file_close(nc_hlx_file *file);
/* Map a file of text (token_bytes 1) or of little-endian tokens (2, 4 or 8) and split it: nine
 * tenths train. With a tokenizer both parts of a text are encoded, each on its own, in tokens of 2
 * bytes, or of 4 where its vocabulary is above 65,536. seq and seed are the loaders'. NC_ERR_IO,
 * NC_ERR_ARG for a tokenizer beside tokens or another size, NC_ERR_LIMIT for a file too short for
 * one window of validation, NC_ERR_MEMORY. Close with nc_hlx_data_close. */
NC_API nc_status nc_hlx_data_open(nc_hlx_data *data, const char *path, uint32_t token_bytes,
                                  const nc_hlx_bpe *bpe, uint32_t seq, uint64_t seed,
                                  nc_error *err);
/* The same as options say. A file of tokens needs no tokenizer; one is for text. Errors also:
 * NC_ERR_FORMAT for a file that is none of these, or damaged, NC_ERR_UNSUPPORTED for one of numbers
 * that are no tokens, NC_ERR_MISMATCH for a token outside the vocabulary, with its place: all are
 * looked at, NC_ERR_CANCELLED. */
NC_API nc_status nc_hlx_data_open_with(nc_hlx_data *data, const nc_hlx_data_options *options,
                                       nc_error *err);
/* Release; zeros are fine. */
NC_API void nc_hlx_data_close(nc_hlx_data *data);
#endif

/* -- model: parameters, and the memory of a model ------------------------------------- */

/* Preset by name: "demo" (0.1 M parameters), "tiny" (3.3 M), "small" (19 M), "medium" (86 M).
 * NC_ERR_ARG for other names. */
NC_API nc_status nc_hlx_preset(const char *name, nc_hlx_config *config);
/* Number of parameters, and bytes of parameters + gradients + moments + activations + scratch,
 * known before anything is allocated (either may be null); more bytes than this machine can address
 * are UINT64_MAX. NC_ERR_ARG for an impossible configuration. */
NC_API nc_status nc_hlx_footprint(const nc_hlx_config *config, uint64_t *parameters,
                                  uint64_t *bytes);
/* Allocate a model (weights zero until initialised or loaded) in two arenas, parameters with
 * gradients and moments, and activations with scratch. Checks at run time that this
 * build keeps the numeric contract: NC_ERR_UNSUPPORTED if not. Free with nc_hlx_destroy. */
NC_API nc_status nc_hlx_create(nc_hlx_model **model, const nc_hlx_config *config,
                               const nc_allocator *hooks);
/* nc_hlx_create with the moments of parameters [first, first + count) alone: the optimiser of one
 * of several processes that each update a part (ZeRO-1: Rajbhandari et al. 2020). NC_ERR_ARG for a
 * range outside the parameters. */
NC_API nc_status nc_hlx_create_shard(nc_hlx_model **model, const nc_hlx_config *config,
                                     size_t first, size_t count, const nc_allocator *hooks);
/* nc_hlx_create without gradients, moments and what is kept for a backward pass: 4 bytes a
 * parameter, and the activations of one layer. It decodes, evaluates and is exported, with the same
 * bits and without dropout; backward passes, updates and training steps are NC_ERR_UNSUPPORTED. */
NC_API nc_status nc_hlx_create_inference(nc_hlx_model **model, const nc_hlx_config *config,
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
/* All gradients, in the order of the parameters; null, and none, for inference. */
NC_API float *nc_hlx_gradients(nc_hlx_model *model, size_t *count);
/* The first moments that a model keeps, the second ones behind them; *first (may be null) gets the
 * parameter that they begin at, *count the number of each. */
NC_API float *nc_hlx_moments(nc_hlx_model *model, size_t *first, size_t *count);
/* Order-fixed 64-bit digest (FNV-1a of the little-endian bytes) of all parameters. */
NC_API uint64_t nc_hlx_digest(const nc_hlx_model *model);

/* -- passes: forward, backward, update ------------------------------------------------ */

/* Forward pass over tokens (batch x seq). With targets (same shape) *loss is the mean loss,
 * dropout is on and the gradient of the logits is ready for nc_hlx_backward; without,
 * nc_hlx_logits holds the logits. The mean is over the targets that are not NC_HLX_IGNORE.
 * NC_ERR_ARG for sizes beyond the configuration, and for tokens or other targets outside the
 * vocabulary. */
NC_API nc_status nc_hlx_forward(nc_hlx_model *model, const uint32_t *tokens,
                                const uint32_t *targets, uint32_t batch, uint32_t seq, float *loss);
/* The same for a part of a step whose parts have `count` targets together, those that are
 * NC_HLX_IGNORE left out: *loss is the part's share of the step's mean loss, and the gradients of
 * all parts add up to those of that mean, however its targets are spread over the parts. NC_ERR_ARG
 * for a count of 0, from 2^24 on or below the part's own. */
NC_API nc_status nc_hlx_forward_part(nc_hlx_model *model, const uint32_t *tokens,
                                     const uint32_t *targets, uint32_t batch, uint32_t seq,
                                     uint32_t count, float *loss);
/* Logits of the last nc_hlx_forward without targets: batch x seq x vocab_size. */
NC_API const float *nc_hlx_logits(const nc_hlx_model *model);
/* Add the gradients of the last forward pass with targets. NC_ERR_ARG if there was none since the
 * last backward pass, training step or evaluation, NC_ERR_UNSUPPORTED for a model for inference. */
NC_API nc_status nc_hlx_backward(nc_hlx_model *model);
/* The same; ready is called by the calling thread as soon as a part of the gradients is complete,
 * from the last parameters to the first, a layer at a time: what follows can go on meanwhile. It
 * may change those gradients. */
NC_API nc_status nc_hlx_backward_ready(nc_hlx_model *model, nc_hlx_ready_fn ready, void *user);
/* Set all gradients to 0. */
NC_API void nc_hlx_zero_gradients(nc_hlx_model *model);
/* One optimiser step from the gradients; fills stats->grad_norm, lr and step. A model that keeps a
 * part of the moments updates these parameters alone. NC_ERR_ARG as nc_hlx_adamw_check, NC_ERR_MATH
 * for a norm that is not finite, NC_ERR_UNSUPPORTED for a model for inference: nothing has changed
 * then. */
NC_API nc_status nc_hlx_update(nc_hlx_model *model, const nc_hlx_adamw *adamw, nc_hlx_stats *stats);
/* The same with the norm given: the root of nc_hlx_dot of all gradients with themselves. Gradients
 * without a moment here are not looked at. */
NC_API nc_status nc_hlx_update_shard(nc_hlx_model *model, const nc_hlx_adamw *adamw, float norm,
                                     nc_hlx_stats *stats);

/* -- training: whole steps, and validation -------------------------------------------- */

/* One step: micro_batches times (batch from the loader, forward, backward), then the update. Loss
 * and gradient are the mean over all targets of the step, whichever micro-batch they stand in.
 * NC_ERR_ARG for a loader longer than the model's sequences, tokens outside its vocabulary or
 * settings that nc_hlx_adamw_check refuses, NC_ERR_UNSUPPORTED for a model that keeps a part of the
 * moments, NC_ERR_MATH for a loss or a gradient that is not finite, with *stats of the step that
 * failed. On an error parameters, moments, step and the loader's position are those before. */
NC_API nc_status nc_hlx_train_step(nc_hlx_model *model, nc_hlx_loader *loader,
                                   const nc_hlx_adamw *adamw, nc_hlx_stats *stats);
/* Mean loss over the first `windows` non-overlapping windows of the data that a loader would read,
 * or all if they are fewer, for validation, without dropout, in batches of batch_size; the loader's
 * position counts for nothing, and the bits are those of one window at a time. Without a target 0.
 * NC_ERR_ARG for 0 windows and as nc_hlx_train_step. */
NC_API nc_status nc_hlx_evaluate(nc_hlx_model *model, const nc_hlx_loader *data, uint32_t windows,
                                 float *loss);
/* The same, asking progress (may be null) behind every batch, windows done and in all. */
NC_API nc_status nc_hlx_evaluate_progress(nc_hlx_model *model, const nc_hlx_loader *data,
                                          uint32_t windows, nc_progress_fn progress, void *user,
                                          float *loss);

/* -- sampling: tokens from a model ---------------------------------------------------- */

/* Bytes of a cache for so many sequences of max_seq_len tokens, known before it is made; keys and
 * values take 8 num_layers * sequences * max_seq_len * kv_heads * head_size of them. UINT64_MAX as
 * in nc_hlx_footprint. NC_ERR_ARG for an impossible configuration or a number of sequences outside
 * 1 .. 65,536. */
NC_API nc_status nc_hlx_cache_bytes(const nc_hlx_config *config, uint32_t sequences,
                                    uint64_t *bytes);
/* Empty sequences of a model, which must outlive the cache; its hooks give the memory. The model's
 * batch_size, recompute and activations have no part in it. After the parameters have changed, go
 * on from nc_hlx_cache_truncate to 0. Free with nc_hlx_cache_destroy. NC_ERR_ARG, NC_ERR_MEMORY. */
NC_API nc_status nc_hlx_cache_create(nc_hlx_cache **cache, const nc_hlx_model *model,
                                     uint32_t sequences);
/* Release; null is fine. */
NC_API void nc_hlx_cache_destroy(nc_hlx_cache *cache);
/* From now on multiply by a copy of the model's matrices in another format, or by themselves again;
 * all sequences become empty, and *bytes (may be null) is what codes and scales take. INT8: a scale
 * is the largest magnitude among an output's weights / 127, a code the nearest integer to weight /
 * scale, ties to even; an output is the chain fma(x[k], code[k], c), k ascending from 0, times the
 * scale, + bias. 4 bits: nc_fp4_tensor_create's codes, nc_fp4_product's sums. The same bits on any
 * machine, for any threads and in any batch. NC_ERR_ARG for an unknown format or weights that are
 * not finite, NC_ERR_UNSUPPORTED for 4 bits without NC_HLX_FP4, NC_ERR_MEMORY; then the weights are
 * those of the model. */
NC_API nc_status nc_hlx_cache_quantize(nc_hlx_cache *cache, nc_hlx_weights format, uint64_t *bytes);
/* Tokens of a sequence in the cache; 0 for a sequence that it has not. */
NC_API uint32_t nc_hlx_cache_length(const nc_hlx_cache *cache, uint32_t sequence);
/* Forget all but the first `length` tokens of a sequence. NC_ERR_ARG where it has fewer. */
NC_API nc_status nc_hlx_cache_truncate(nc_hlx_cache *cache, uint32_t sequence, uint32_t length);
/* Append counts[i] tokens to sequence i (null: one to each), those of sequence 0 first, then those
 * of 1 ..: whole prompts, one token for each sequence, or both; all are rows of the same products.
 * Logits are those of nc_hlx_forward over the sequence, to the bit, whatever stands beside it and
 * however it was cut into calls. NC_ERR_ARG for tokens outside the vocabulary or none at all,
 * NC_ERR_LIMIT for more than max_seq_len tokens in a sequence, NC_ERR_MEMORY (weights of 4 bits
 * alone); no sequence is longer then. */
NC_API nc_status nc_hlx_cache_append(nc_hlx_cache *cache, const uint32_t *tokens,
                                     const uint32_t *counts);
/* The vocab_size logits behind a sequence's last token, if the last nc_hlx_cache_append brought it
 * one and nc_hlx_cache_draw has not used them up; else null. */
NC_API const float *nc_hlx_cache_logits(const nc_hlx_cache *cache, uint32_t sequence);
/* Draw a sequence's next token from its logits, with counter `index` of the seed's stream, without
 * appending it. NC_ERR_ARG where it has no logits. */
NC_API nc_status nc_hlx_cache_draw(nc_hlx_cache *cache, uint32_t sequence,
                                   const nc_hlx_sampling *sampling, uint64_t index,
                                   uint32_t *token);
/* One token at a position after those before it, as a row of nc_hlx_forward gives: *logits
 * points to vocab_size values. The keys and values of earlier positions are those of earlier
 * calls, in a cache that the model makes with the first one. NC_ERR_ARG for a token out of range or
 * a position behind which no call has been, NC_ERR_MEMORY. */
NC_API nc_status nc_hlx_decode(nc_hlx_model *model, uint32_t token, uint32_t position,
                               const float **logits);
/* Continue prompt[0 .. n) by `count` tokens into out, or fewer where sampling->token_fn ends it;
 * draw i uses counter i of the seed's stream. An empty prompt starts from token 10, a newline among
 * bytes. When the context is full its older half is dropped. Errors as nc_hlx_decode. */
NC_API nc_status nc_hlx_sample_tokens(nc_hlx_model *model, const uint32_t *prompt, size_t n,
                                      const nc_hlx_sampling *sampling, uint32_t *out, size_t count);
/* The same for a model of bytes. */
NC_API nc_status nc_hlx_sample(nc_hlx_model *model, const uint8_t *prompt, size_t prompt_bytes,
                               const nc_hlx_sampling *sampling, uint8_t *out, size_t count);

/* -- checkpoints: all of a model in a file -------------------------------------------- */

/* What checkpoints of this model say of its run: the caller's to read and change; zero at first. */
NC_API nc_hlx_run *nc_hlx_get_run(nc_hlx_model *model);
/* Whether a run can go on that `saved` describes: NC_ERR_MISMATCH names the file, tokens or
 * tokenizer that are not the same. What one of the two does not know is not compared. */
NC_API nc_status nc_hlx_run_check(const nc_hlx_run *saved, const nc_hlx_run *now, nc_error *err);
#ifndef NC_NO_STDIO
/* Write parameters, moments, step, optimiser, configuration, run, loader position (loader may be
 * null), little-endian with a checksum, to a temporary file that replaces `path` at the end.
 * NC_ERR_ARG for a model that keeps a part of the moments. */
NC_API nc_status nc_hlx_save(const nc_hlx_model *model, const nc_hlx_loader *loader,
                             const char *path, nc_error *err);
/* The same from a model that keeps a part of the moments: they are asked for in pieces from the
 * first to the last, all first moments before the second. An error of moments leaves the old
 * file. */
NC_API nc_status nc_hlx_save_shards(const nc_hlx_model *model, const nc_hlx_loader *loader,
                                    const char *path, nc_hlx_moments_fn moments, void *user,
                                    nc_error *err);
/* Create a model from a checkpoint, which is mapped, not copied; a batch_size other than 0 replaces
 * the file's. loader (may be null) gets seq, seed and position (zeros, where none was saved); its
 * text is kept. Every size is checked before allocation: NC_ERR_FORMAT, NC_ERR_MISMATCH (checksum),
 * NC_ERR_UNSUPPORTED (another version), NC_ERR_ARG (a batch_size beyond the limits), NC_ERR_IO,
 * NC_ERR_MEMORY. */
NC_API nc_status nc_hlx_load(nc_hlx_model **model, nc_hlx_loader *loader, const char *path,
                             uint32_t batch_size, const nc_allocator *hooks, nc_error *err);
/* The same with the moments of parameters [first, first + count) alone. NC_ERR_ARG too, for a range
 * outside the file's parameters. */
NC_API nc_status nc_hlx_load_shard(nc_hlx_model **model, nc_hlx_loader *loader, const char *path,
                                   uint32_t batch_size, size_t first, size_t count,
                                   const nc_allocator *hooks, nc_error *err);
/* The same as nc_hlx_create_inference makes it. */
NC_API nc_status nc_hlx_load_inference(nc_hlx_model **model, const char *path, uint32_t batch_size,
                                       const nc_allocator *hooks, nc_error *err);
#endif

/* -- weights: the parameters as safetensors ------------------------------------------- */

#ifndef NC_NO_STDIO
/* Write the parameters alone as safetensors: float32 tensors with GPT-2's names (wte.weight,
 * h.0.attn.c_attn.weight (d, 3 d), .., lm_head.weight unless tied), replacing `path` at the end. A
 * model of LLaMA's blocks (rms_norm, rotary and gated_ffn together) has the names of transformers'
 * Llama, whose matrices are transposed (model.layers.0.self_attn.q_proj.weight (heads * head_size,
 * d), ..). NC_ERR_UNSUPPORTED for other mixtures of blocks. */
NC_API nc_status nc_hlx_export(const nc_hlx_model *model, const char *path, nc_error *err);
/* The same with transformers' names and its config.json beside model.safetensors, both replaced in
 * a folder that is there: GPT2LMHeadModel.from_pretrained opens it, or LlamaForCausalLM's, with
 * biases of QKV alone Qwen2ForCausalLM's. NC_ERR_ARG for a plain file, or a folder with an index of
 * shards, which would be a second model there. */
NC_API nc_status nc_hlx_export_folder(const nc_hlx_model *model, const char *folder, nc_error *err);
/* The configuration of a GPT-2, Llama, Mistral or Qwen2 model from its config.json, from that of a
 * folder or of the folder of a .safetensors file or index, or from llm.c's model: batch_size 1, no
 * dropout. NC_ERR_UNSUPPORTED, with line and column, for another model_type, for settings that are
 * not computed here and for members that are not known, NC_ERR_FORMAT, NC_ERR_LIMIT; *config then
 * is as it was. */
NC_API nc_status nc_hlx_read_config(nc_hlx_config *config, const char *path, nc_error *err);
/* Read all parameters of a model from such a file, which is mapped, not copied: tensors of F32,
 * F16, BF16 and F64 (rounded to nearest), mixed and in any order, their names behind any of the
 * prefixes "transformer.", "_orig_mod.", "module."; the optimiser restarts. A file without
 * lm_head.weight is tied: a model with an output matrix of its own gets a copy of wte.weight. A
 * tied model takes a lm_head.weight that equals wte.weight. Attention masks that GPT-2 files carry
 * are passed over. The path may also be that of an index of shards, which ends with ".json", of a
 * folder that has model.safetensors or model.safetensors.index.json, whose config.json, where there
 * is one, must have the model's heads, or of llm.c's model (versions 3 and 5: float32 and bfloat16,
 * whose padding of the vocabulary is left out). NC_ERR_MISMATCH for a missing, unknown or repeated
 * tensor, another shape, or another n_head in the file's metadata, NC_ERR_UNSUPPORTED for other
 * types, NC_ERR_FORMAT with the column in the header; the model is unchanged on an error. */
NC_API nc_status nc_hlx_import(nc_hlx_model *model, const char *path, nc_error *err);
/* The same where file and model may differ as the options (null: nothing) say. */
NC_API nc_status nc_hlx_import_with(nc_hlx_model *model, const char *path,
                                    const nc_hlx_import_options *options, nc_error *err);
#endif

#ifdef NC_HLX_FP4
#include "nc_fp4.h"
#endif

#ifdef NC_GPU
/* -- gpu: products and training steps on a device (NC_GPU) ---------------------------- */

#include "nc_gpu.h"
/* nc_hlx_gemm without strides on a device, host arrays in and out, bit-equal to the CPU. NC_ERR_ARG
 * for null pointers and a size of 0, NC_ERR_LIMIT for m or n above 1,048,560, k above 2^20 or a
 * matrix of 2^32 values, NC_ERR_UNSUPPORTED when the device cannot keep the numeric contract, and
 * its own errors. */
NC_API nc_status nc_hlx_gpu_gemm(nc_gpu *device, int trans_a, int trans_b, size_t m, size_t n,
                                 size_t k, const float *a, const float *b, float *c,
                                 int accumulate);

/* Training on a device: the bits of nc_hlx_train_step. */
typedef struct nc_hlx_gpu nc_hlx_gpu;
/* Move a model's state to a device and record its training step, at the configured batch size and
 * full sequence length, with adamw's weight decay. The model stays the caller's and must outlive
 * this; its own arrays are stale until nc_hlx_gpu_download. Devices take every configuration that
 * this machine does: LLaMA's blocks, bf16, recompute, dropout, any vocabulary. NC_ERR_UNSUPPORTED
 * for flash attention with heads wider than 4,096, a model that keeps a part of the moments or a
 * device that cannot keep the numeric contract, NC_ERR_LIMIT beyond its buffers, else errors of the
 * device. */
NC_API nc_status nc_hlx_gpu_create(nc_hlx_gpu **gpu, nc_gpu *device, nc_hlx_model *model,
                                   const nc_hlx_adamw *adamw);
/* Release; null is fine. */
NC_API void nc_hlx_gpu_destroy(nc_hlx_gpu *gpu);
/* One step as nc_hlx_train_step, with the loader's seq equal to the model's. One upload of tokens
 * and scalars, one run of the recorded program, one download of the scalars. */
NC_API nc_status nc_hlx_gpu_train_step(nc_hlx_gpu *gpu, nc_hlx_loader *loader,
                                       const nc_hlx_adamw *adamw, nc_hlx_stats *stats);
/* nc_hlx_evaluate_progress on the device, with the parameters there: the same bits. The loader's
 * seq is the model's. */
NC_API nc_status nc_hlx_gpu_evaluate(nc_hlx_gpu *gpu, const nc_hlx_loader *data, uint32_t windows,
                                     nc_progress_fn progress, void *user, float *loss);
/* Parameters, gradients and moments from the device to the model: before saving or sampling. */
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
#include <math.h>
#if !defined(NC_NO_STDIO) && (defined(__unix__) || defined(__APPLE__))
#include <sys/mman.h>
#include <sys/stat.h>
#endif
#ifdef _OPENMP
#include <omp.h>
#if defined(__GNUC__) && (defined(__unix__) || defined(__APPLE__))
#define NC_HLX__TEAM /* threads wait as this file says, not as OpenMP's library does */
#include <pthread.h>
#endif
#endif
#if !defined(NC_NO_SIMD) && defined(__GNUC__) && defined(__x86_64__)
#define NC_HLX__X86
#include <immintrin.h>
#elif defined(NC__NEON)
#include <arm_neon.h>
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
#pragma GCC optimize("fp-contract=off")
#pragma GCC push_options
#pragma GCC optimize("tree-vectorize", "vect-cost-model=dynamic") /* vector code at -O2 too */
#pragma GCC optimize("no-trapping-math", "no-math-errno")         /* selects and roots as vectors */
#endif

/* >>simd =========================================================================== */

/* -- one body for every instruction set -- */

#if defined(__GNUC__)
#define NC_HLX__INLINE static inline __attribute__((always_inline, unused))
#else
#define NC_HLX__INLINE static inline
#endif

static int nc_hlx__forced_level = -1;

NC_API nc_status nc_hlx_set_simd(int level) {
    if (level < -1 || level > 2) return NC_ERR_ARG;
    if (level > nc__cpu_level()) return NC_ERR_UNSUPPORTED;
    NC__SET(nc_hlx__forced_level, level);
    return NC_OK;
}

NC_API int nc_hlx_simd(void) {
    static int best = -1;
    return nc__level(&nc_hlx__forced_level, &best, nc__cpu_level);
}

/* name(params) calls name_body(args) as it is compiled for the best instruction set allowed. The
 * body holds no intrinsics, so every version is the same chain of IEEE operations. */
#ifdef NC_HLX__X86
#define NC_HLX__AVX2 __attribute__((target("avx2,fma")))
#define NC_HLX__AVX512 __attribute__((target("avx512f,avx512bw,avx512dq,avx512vl,avx2,fma")))
#define NC_HLX__VERSIONS(name, params, args)                                                       \
    NC_HLX__AVX512 static void name##_avx512 params { name##_body args; }                          \
    NC_HLX__AVX2 static void name##_avx2 params { name##_body args; }                              \
    static void name##_portable params { name##_body args; }                                       \
    static void name params {                                                                      \
        const int level = nc_hlx_simd();                                                           \
        if (level == 2)                                                                            \
            name##_avx512 args;                                                                    \
        else if (level == 1)                                                                       \
            name##_avx2 args;                                                                      \
        else                                                                                       \
            name##_portable args;                                                                  \
    }
/* The same for loops that wait for memory or for the divider, where AVX-512 brings nothing more. */
#define NC_HLX__TWO_VERSIONS(name, params, args)                                                   \
    NC_HLX__AVX2 static void name##_avx2 params { name##_body args; }                              \
    static void name##_portable params { name##_body args; }                                       \
    static void name params {                                                                      \
        if (nc_hlx_simd())                                                                         \
            name##_avx2 args;                                                                      \
        else                                                                                       \
            name##_portable args;                                                                  \
    }
#else
#define NC_HLX__VERSIONS(name, params, args)                                                       \
    static void name params { name##_body args; }
#define NC_HLX__TWO_VERSIONS(name, params, args) NC_HLX__VERSIONS(name, params, args)
#endif

/* -- work split over threads -- */

static size_t nc_hlx__min(size_t a, size_t b) { return a < b ? a : b; }

/* Values per task of elementwise work, and columns per task where chains over rows are split. */
enum { NC_HLX__PIECE = 4096, NC_HLX__COLUMNS = 64 };

/* Items first .. first + count - 1 of a job, on a thread that counts from 0. */
typedef void (*nc_hlx__task_fn)(const void *job, size_t first, size_t count, size_t thread);

/* A job, its cut into tasks of `size` items, and how many threads may take them. */
typedef struct nc_hlx__tasks {
    nc_hlx__task_fn fn;
    const void *job;
    size_t n, size, most;
} nc_hlx__tasks;

#ifdef NC_HLX__TEAM
/* Threads that stay together over many jobs: the first one opens them, the others take tasks from
 * them. None waits for a thread that has not taken a task, and who waits sleeps soon, so that busy
 * processors cost the time that they are busy and no more (the libraries of OpenMP wait awake, for
 * milliseconds, and for every thread). */
typedef struct nc_hlx__team {
    const nc_hlx__tasks *tasks; /* of the open job */
    size_t next;                /* task that nobody has taken yet */
    unsigned state;             /* odd: the job of this number is open */
    unsigned active;            /* others that may be at work on it */
    unsigned asleep, waiting, stopped;
    int threads;
    pthread_mutex_t *lock;
    pthread_cond_t *opened, *finished;
} nc_hlx__team;

/* The team that this thread leads, while no job is open. */
static nc_hlx__team *nc_hlx__led;
#pragma omp threadprivate(nc_hlx__led)

enum { NC_HLX__SPINS = 2000 }; /* looks before sleep: some ten microseconds */

static void nc_hlx__relax(void) {
#if defined(__x86_64__) || defined(__i386__)
    __builtin_ia32_pause();
#elif defined(__aarch64__)
    __asm__ __volatile__("yield");
#endif
}

static unsigned nc_hlx__look(const unsigned *x) { return __atomic_load_n(x, __ATOMIC_SEQ_CST); }

static void nc_hlx__take_tasks(nc_hlx__team *t, size_t thread) {
    const nc_hlx__tasks w = *t->tasks;
    for (;;) {
        const size_t first = __atomic_fetch_add(&t->next, 1, __ATOMIC_RELAXED) * w.size;
        if (first >= w.n) return;
        w.fn(w.job, first, nc_hlx__min(w.n - first, w.size), thread);
    }
}

/* Sleep until a job after number `seen` is open, or the end has come. */
static void nc_hlx__await_job(nc_hlx__team *t, unsigned seen) {
    unsigned state;
    int i;
    for (i = 0; i < NC_HLX__SPINS; i++, nc_hlx__relax()) {
        state = nc_hlx__look(&t->state);
        if ((state % 2 && state != seen) || nc_hlx__look(&t->stopped)) return;
    }
    pthread_mutex_lock(t->lock);
    __atomic_add_fetch(&t->asleep, 1, __ATOMIC_SEQ_CST);
    for (;;) {
        state = nc_hlx__look(&t->state);
        if ((state % 2 && state != seen) || nc_hlx__look(&t->stopped)) break;
        pthread_cond_wait(t->opened, t->lock);
    }
    __atomic_sub_fetch(&t->asleep, 1, __ATOMIC_SEQ_CST);
    pthread_mutex_unlock(t->lock);
}

/* What the others do. A job is looked at only while this thread counts as active. */
static void nc_hlx__follow(nc_hlx__team *t, size_t thread) {
    unsigned seen = 0, state;
    while (!nc_hlx__look(&t->stopped)) {
        nc_hlx__await_job(t, seen);
        __atomic_add_fetch(&t->active, 1, __ATOMIC_SEQ_CST);
        state = nc_hlx__look(&t->state);
        if (state % 2 && state != seen) {
            if (thread < t->tasks->most) nc_hlx__take_tasks(t, thread);
            seen = state;
        }
        if (__atomic_sub_fetch(&t->active, 1, __ATOMIC_SEQ_CST) == 0 && nc_hlx__look(&t->waiting)) {
            pthread_mutex_lock(t->lock);
            pthread_cond_signal(t->finished);
            pthread_mutex_unlock(t->lock);
        }
    }
}

static void nc_hlx__wake(nc_hlx__team *t) {
    if (nc_hlx__look(&t->asleep) == 0) return;
    pthread_mutex_lock(t->lock);
    pthread_cond_broadcast(t->opened);
    pthread_mutex_unlock(t->lock);
}

/* Close the job, and wait for those at work on it. */
static void nc_hlx__await_others(nc_hlx__team *t) {
    int i;
    __atomic_add_fetch(&t->state, 1, __ATOMIC_SEQ_CST);
    for (i = 0; i < NC_HLX__SPINS; i++, nc_hlx__relax())
        if (nc_hlx__look(&t->active) == 0) return;
    pthread_mutex_lock(t->lock);
    __atomic_store_n(&t->waiting, 1, __ATOMIC_SEQ_CST);
    while (nc_hlx__look(&t->active)) pthread_cond_wait(t->finished, t->lock);
    __atomic_store_n(&t->waiting, 0, __ATOMIC_SEQ_CST);
    pthread_mutex_unlock(t->lock);
}

/* fn(argument) as the leader of a team, if there are threads and this one leads none yet. */
static void nc_hlx__together(void (*fn)(void *), void *argument) {
    pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
    pthread_cond_t opened = PTHREAD_COND_INITIALIZER, finished = PTHREAD_COND_INITIALIZER;
    nc_hlx__team team;
    memset(&team, 0, sizeof team);
    team.threads = nc_hlx__led || omp_in_parallel() ? 1 : omp_get_max_threads();
    if (team.threads == 1) {
        fn(argument);
        return;
    }
    team.lock = &lock;
    team.opened = &opened;
    team.finished = &finished;
#pragma omp parallel num_threads(team.threads)
    if (omp_get_thread_num() > 0) {
        nc_hlx__follow(&team, (size_t)omp_get_thread_num());
    } else {
        nc_hlx__led = &team;
        fn(argument);
        nc_hlx__led = NULL;
        __atomic_store_n(&team.stopped, 1, __ATOMIC_SEQ_CST);
        nc_hlx__wake(&team);
    }
    pthread_cond_destroy(&finished);
    pthread_cond_destroy(&opened);
    pthread_mutex_destroy(&lock);
}

static int nc_hlx__leads(void) { return nc_hlx__led != NULL; }

/* Threads that a job would be split over. */
static size_t nc_hlx__hands(void) {
    return (size_t)(nc_hlx__led         ? nc_hlx__led->threads
                    : omp_in_parallel() ? 1
                                        : omp_get_max_threads());
}
#else
static void nc_hlx__together(void (*fn)(void *), void *argument) { fn(argument); }

static int nc_hlx__leads(void) { return 1; }

static size_t nc_hlx__hands(void) {
#ifdef _OPENMP
    return (size_t)(omp_in_parallel() ? 1 : omp_get_max_threads());
#else
    return 1;
#endif
}
#endif

/* All tasks, on the threads of the team that this one leads, or else here. Which thread does what
 * has no influence on any bit. */
static void nc_hlx__do(void *argument) {
    const nc_hlx__tasks *w = (const nc_hlx__tasks *)argument;
    size_t first;
#if defined(NC_HLX__TEAM)
    nc_hlx__team *t = nc_hlx__led;
    if (t) {
        t->tasks = w;
        t->next = 0;
        nc_hlx__led = NULL; /* tasks split nothing */
        __atomic_add_fetch(&t->state, 1, __ATOMIC_SEQ_CST);
        nc_hlx__wake(t);
        nc_hlx__take_tasks(t, 0);
        nc_hlx__await_others(t);
        nc_hlx__led = t;
        return;
    }
#elif defined(_OPENMP)
    if (!omp_in_parallel()) {
        const ptrdiff_t count = (ptrdiff_t)((w->n + w->size - 1) / w->size);
        const int threads = (int)nc_hlx__min(w->most, (size_t)omp_get_max_threads());
        ptrdiff_t i;
#pragma omp parallel for schedule(dynamic) num_threads(threads)
        for (i = 0; i < count; i++)
            w->fn(w->job, (size_t)i * w->size, nc_hlx__min(w->n - (size_t)i * w->size, w->size),
                  (size_t)omp_get_thread_num());
        return;
    }
#endif
    for (first = 0; first < w->n; first += w->size)
        w->fn(w->job, first, nc_hlx__min(w->n - first, w->size), 0);
}

/* n items in tasks of `size`, on at most so many threads. */
static void nc_hlx__split_over(size_t most, nc_hlx__task_fn fn, const void *job, size_t n,
                               size_t size) {
    nc_hlx__tasks w;
    size_t first;
    w.fn = fn;
    w.job = job;
    w.n = n;
    w.size = size;
    w.most = most;
    if (n <= size || most <= 1)
        for (first = 0; first < n; first += size) fn(job, first, nc_hlx__min(n - first, size), 0);
    else if (nc_hlx__leads())
        nc_hlx__do(&w);
    else
        nc_hlx__together(nc_hlx__do, &w); /* a team for this job alone */
}

static void nc_hlx__split(nc_hlx__task_fn fn, const void *job, size_t n, size_t size) {
    nc_hlx__split_over(SIZE_MAX, fn, job, n, size);
}

/* name(job, first, count, thread) is a task with what it needs, in a struct j of type name_job. */
#define NC_HLX__TASK(name, members, body)                                                          \
    typedef struct name##_job {                                                                    \
        members                                                                                    \
    } name##_job;                                                                                  \
    static void name(const void *job, size_t first, size_t count, size_t thread) {                 \
        const name##_job j = *(const name##_job *)job;                                             \
        (void)thread;                                                                              \
        body;                                                                                      \
    }

/* Rows of n values per task. */
static size_t nc_hlx__rows_of(size_t n) {
    return n < NC_HLX__PIECE ? NC_HLX__PIECE / (n + 1) + 1 : 1;
}

/* -- loops that become vector code at -O2 -- */

/* The next loop's iterations do not depend on each other: what it writes is what it reads in the
 * same iteration, or lies elsewhere. */
#if defined(__clang__)
#pragma clang diagnostic push
#pragma clang diagnostic ignored "-Wpass-failed" /* below -O2 it makes no vectors */
#define NC_HLX__FREE _Pragma("clang loop vectorize(assume_safety)")
#elif defined(__GNUC__)
#define NC_HLX__FREE _Pragma("GCC ivdep")
#else
#define NC_HLX__FREE
#endif

/* out[i] = value, where value has x[i] as u[j] and y[i] as v[j]: in whole blocks of
 * 16, then the rest as a padded block, so that a long value is compiled once. */
enum { NC_HLX__BLOCK = 16 };
#define NC_HLX__BLOCKS(out, x, y, n, value)                                                        \
    do {                                                                                           \
        float pad_u[NC_HLX__BLOCK], pad_v[NC_HLX__BLOCK], *to = (out);                             \
        const float *u = (x), *v = (y);                                                            \
        size_t blocks = (n) / NC_HLX__BLOCK, rest = (n) % NC_HLX__BLOCK, padded = 0;               \
        float *const end = to + blocks * NC_HLX__BLOCK;                                            \
        int j;                                                                                     \
        for (;;) {                                                                                 \
            for (; blocks; blocks--) {                                                             \
                NC_HLX__FREE                                                                       \
                for (j = 0; j < NC_HLX__BLOCK; j++) to[j] = value;                                 \
                to += NC_HLX__BLOCK;                                                               \
                u += NC_HLX__BLOCK;                                                                \
                v += NC_HLX__BLOCK;                                                                \
            }                                                                                      \
            if (rest == 0 || padded) break;                                                        \
            for (j = 0; j < NC_HLX__BLOCK; j++) pad_u[j] = pad_v[j] = 0.0f;                        \
            memcpy(pad_u, u, rest * sizeof *u);                                                    \
            memcpy(pad_v, v, rest * sizeof *v);                                                    \
            u = to = pad_u;                                                                        \
            v = pad_v;                                                                             \
            blocks = padded = 1;                                                                   \
        }                                                                                          \
        if (rest) memcpy(end, pad_u, rest * sizeof *to);                                           \
    } while (0)

/* >>functions ====================================================================== */

/* -- elementary functions -- */

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

/* What e^x is made of: n = round(x / ln 2) by the 1.5 * 2^23 trick, r = x - n ln 2 in two pieces,
 * and the Taylor polynomial of degree 7 on |r| <= 0.347. *n gets n as an integer. */
NC_HLX__INLINE float nc_hlx__exp_part(float x, uint32_t *n) {
    const float shifted = NC__FMAF(x, 1.44269504f, 12582912.0f), whole = shifted - 12582912.0f;
    float r = NC__FMAF(whole, -0.693145752f, x), p = 1.98412701e-4f;
    *n = nc_hlx__bits(shifted) - UINT32_C(0x4B400000);
    r = NC__FMAF(whole, -1.42860677e-6f, r);
    p = NC__FMAF(p, r, 1.38888892e-3f);
    p = NC__FMAF(p, r, 8.33333377e-3f);
    p = NC__FMAF(p, r, 4.16666679e-2f);
    p = NC__FMAF(p, r, 1.66666672e-1f);
    p = NC__FMAF(p, r, 0.5f);
    p = NC__FMAF(p, r, 1.0f);
    return NC__FMAF(p, r, 1.0f);
}

/* e^x for one value: 2^n comes in two exact factors, so that the last multiplication rounds once,
 * into the subnormals too. The bounds are written so that a NaN passes as by min and max of the
 * vector units. */
NC_HLX__INLINE float nc_hlx__exp1(float x) {
    const float least = 89.0f < x ? 89.0f : x, bounded = -104.0f > least ? -104.0f : least;
    uint32_t n, half;
    float p = nc_hlx__exp_part(bounded, &n);
    n += 254; /* two exponent fields together */
    half = n >> 1;
    p = p * nc_hlx__float(half << 23);
    p = p * nc_hlx__float((n - half) << 23);
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
    p = NC__FMAF(p, f, -1.1514610310e-1f);
    p = NC__FMAF(p, f, 1.1676998740e-1f);
    p = NC__FMAF(p, f, -1.2420140846e-1f);
    p = NC__FMAF(p, f, 1.4249322787e-1f);
    p = NC__FMAF(p, f, -1.6668057665e-1f);
    p = NC__FMAF(p, f, 2.0000714765e-1f);
    p = NC__FMAF(p, f, -2.4999993993e-1f);
    p = NC__FMAF(p, f, 3.3333331174e-1f);
    y = (p * f) * z;
    y = NC__FMAF(e, -2.12194440e-4f, y);
    y = NC__FMAF(z, -0.5f, y);
    y = f + y;
    y = NC__FMAF(e, 0.693359375f, y);
    y = x > FLT_MAX ? x : y;                                 /* +infinity */
    y = x == 0.0f ? nc_hlx__float(UINT32_C(0xFF800000)) : y; /* -infinity */
    return x >= 0.0f ? y : nc_hlx__float(UINT32_C(0x7FC00000));
}

/* tanh(x): odd polynomial (Cephes' tanhf) below 0.625, 1 - 2 / (e^2|x| + 1) above. From 2 |x| = 20
 * on that is 1; up to there one factor 2^n is exact. A NaN stays a NaN, made quiet. */
NC_HLX__INLINE float nc_hlx__tanh1(float x) {
    const float a = nc_hlx__float(nc_hlx__bits(x) & UINT32_C(0x7FFFFFFF)), z = x * x, twice = a + a;
    uint32_t n;
    float p = -5.70498872745e-3f, t = nc_hlx__exp_part(20.0f < twice ? 20.0f : twice, &n);
    p = NC__FMAF(p, z, 2.06390887954e-2f);
    p = NC__FMAF(p, z, -5.37397155531e-2f);
    p = NC__FMAF(p, z, 1.33314422036e-1f);
    p = NC__FMAF(p, z, -3.33332819422e-1f);
    p = NC__FMAF(p * z, x, x);
    t = 1.0f - 2.0f / (t * nc_hlx__float((n + 127) << 23) + 1.0f);
    t = nc_hlx__float(nc_hlx__bits(t) | (nc_hlx__bits(x) & UINT32_C(0x80000000)));
    return a >= 0.625f ? t : p;
}

NC_API float nc_hlx_exp(float x) { return nc_hlx__exp1(x); }

NC_API float nc_hlx_log(float x) { return nc_hlx__log1(x); }

NC_API float nc_hlx_tanh(float x) { return x == x ? nc_hlx__tanh1(x) : x; }

/* -- activations: one line in the list, and a value and a slope (its derivative) each -- */

#define NC_HLX__GELU_SCALE 0.797884583f /* sqrt(2/pi) */

NC_HLX__INLINE float nc_hlx__gelu1(float x) {
    float cubic = NC__FMAF(0.044715f * x * x, x, x), half = 0.5f * x;
    return NC__FMAF(half, nc_hlx__tanh1(NC_HLX__GELU_SCALE * cubic), half);
}

NC_HLX__INLINE float nc_hlx__gelu_slope1(float x) {
    float cubic = NC__FMAF(0.044715f * x * x, x, x), t = nc_hlx__tanh1(NC_HLX__GELU_SCALE * cubic);
    float inner = NC_HLX__GELU_SCALE * NC__FMAF(0.134145f * x, x, 1.0f);
    return NC__FMAF(0.5f * x, NC__FMAF(-t, t, 1.0f) * inner, NC__FMAF(0.5f, t, 0.5f));
}

NC_HLX__INLINE float nc_hlx__silu1(float x) { return x / (1.0f + nc_hlx__exp1(-x)); }

/* s + x s (1 - s), with s = 1 / (1 + e^-x). */
NC_HLX__INLINE float nc_hlx__silu_slope1(float x) {
    const float s = 1.0f / (1.0f + nc_hlx__exp1(-x));
    return NC__FMAF(x * s, 1.0f - s, s);
}

/* In the order of nc_hlx_activation: X(NC_HLX_name, its name in nc_hlx__name1). */
#define NC_HLX__ACTIVATIONS(X) X(GELU, gelu) X(SILU, silu)

/* >>reductions ===================================================================== */

enum { NC_HLX__LANES = 32, NC_HLX__CHUNK = 4096 };

/* The tree over 32 lane sums. */
NC_HLX__INLINE float nc_hlx__tree_body(const float s[NC_HLX__LANES]) {
    float t[NC_HLX__LANES / 2];
    int j;
    for (j = 0; j < 16; j++) t[j] = s[j] + s[j + 16];
    for (j = 0; j < 8; j++) t[j] = t[j] + t[j + 8];
    for (j = 0; j < 4; j++) t[j] = t[j] + t[j + 4];
    return (t[0] + t[2]) + (t[1] + t[3]);
}

static float nc_hlx__tree(const float s[NC_HLX__LANES]) { return nc_hlx__tree_body(s); }

/* One chunk, n <= 4,096: the sum of a (b null), or of products a b. The end of a row is padded with
 * a = -0 and b = 0, which leave every sum alone. */
NC_HLX__INLINE void nc_hlx__chunk_body(float *out, const float *a, const float *b, size_t n) {
    float s[NC_HLX__LANES], pad_a[NC_HLX__LANES], pad_b[NC_HLX__LANES];
    size_t blocks = n / NC_HLX__LANES, rest = n % NC_HLX__LANES;
    int j;
    for (j = 0; j < NC_HLX__LANES; j++) s[j] = 0.0f;
    for (;;) {
        if (b)
            for (; blocks; blocks--, a += NC_HLX__LANES, b += NC_HLX__LANES)
                for (j = 0; j < NC_HLX__LANES; j++) s[j] = NC__FMAF(a[j], b[j], s[j]);
        else
            for (; blocks; blocks--, a += NC_HLX__LANES)
                for (j = 0; j < NC_HLX__LANES; j++) s[j] = s[j] + a[j];
        if (rest == 0) break;
        for (j = 0; j < NC_HLX__LANES; j++) pad_a[j] = -0.0f, pad_b[j] = 0.0f;
        memcpy(pad_a, a, rest * sizeof *a);
        if (b) memcpy(pad_b, b, rest * sizeof *b);
        a = pad_a;
        b = b ? pad_b : b;
        blocks = 1;
        rest = 0;
    }
    *out = nc_hlx__tree(s);
}
NC_HLX__VERSIONS(nc_hlx__chunk, (float *out, const float *a, const float *b, size_t n),
                 (out, a, b, n))

/* Chunk sums are folded as they come: 4,096 of them form the next level's chunk. Four levels
 * reach 2^48 values. */
static float nc_hlx__reduce_chunks(const float *a, const float *b, size_t n) {
    float lanes[4][NC_HLX__LANES], sum = 0.0f;
    size_t count[4] = {0, 0, 0, 0}, i;
    int level, below = 0, j;
    memset(lanes, 0, sizeof lanes);
    for (i = 0; i < n; i += NC_HLX__CHUNK) {
        nc_hlx__chunk(&sum, a + i, b ? b + i : NULL, nc_hlx__min(n - i, NC_HLX__CHUNK));
        for (level = 1; level < 4; level++) {
            j = (int)(count[level] % NC_HLX__LANES);
            lanes[level][j] = lanes[level][j] + sum;
            if (++count[level] < NC_HLX__CHUNK) break;
            sum = nc_hlx__tree(lanes[level]);
            memset(lanes[level], 0, sizeof lanes[level]);
            count[level] = 0;
        }
    }
    /* What a level has left joins the next; one that was folded whole has nothing left. */
    for (level = 1; level < 4; level++) {
        j = (int)(count[level] % NC_HLX__LANES);
        if (below) lanes[level][j] = lanes[level][j] + sum;
        below = below || count[level];
        if (below) sum = nc_hlx__tree(lanes[level]);
    }
    return sum;
}

static float nc_hlx__reduce(const float *a, const float *b, size_t n) {
    float sum;
    if (n > NC_HLX__CHUNK) return nc_hlx__reduce_chunks(a, b, n);
    nc_hlx__chunk(&sum, a, b, n);
    return sum;
}

NC_API float nc_hlx_sum(const float *x, size_t n) { return nc_hlx__reduce(x, NULL, n); }

NC_API float nc_hlx_dot(const float *a, const float *b, size_t n) {
    return nc_hlx__reduce(a, b, n);
}

/* >>kernels ======================================================================== */

/* -- elements -- */

/* out = value of x, rows of n with stride ld, and dx[i] = dout[i] times the slope at x[i]. */
#define NC_HLX__ACTIVATION(id, name)                                                               \
    NC_HLX__INLINE void nc_hlx__##name##_body(float *out, const float *x, size_t rows, size_t ld,  \
                                              size_t n) {                                          \
        for (; rows; rows--, out += ld, x += ld)                                                   \
            NC_HLX__BLOCKS(out, x, x, n, nc_hlx__##name##1(u[j]));                                 \
    }                                                                                              \
    NC_HLX__VERSIONS(nc_hlx__##name,                                                               \
                     (float *out, const float *x, size_t rows, size_t ld, size_t n),               \
                     (out, x, rows, ld, n))                                                        \
    NC_HLX__INLINE void nc_hlx__##name##_dx_body(float *dx, const float *dout, const float *x,     \
                                                 size_t n) {                                       \
        NC_HLX__BLOCKS(dx, dout, x, n, u[j] * nc_hlx__##name##_slope1(v[j]));                      \
    }                                                                                              \
    NC_HLX__VERSIONS(nc_hlx__##name##_dx,                                                          \
                     (float *dx, const float *dout, const float *x, size_t n), (dx, dout, x, n))
NC_HLX__ACTIVATIONS(NC_HLX__ACTIVATION)

#define NC_HLX__ROW(id, name) {#name, nc_hlx__##name, nc_hlx__##name##_dx},
static const struct {
    char name[16];
    void (*value)(float *out, const float *x, size_t rows, size_t ld, size_t n);
    void (*slope)(float *dx, const float *dout, const float *x, size_t n);
} nc_hlx__activations[] = {NC_HLX__ACTIVATIONS(NC_HLX__ROW)};
#undef NC_HLX__ROW
#undef NC_HLX__ACTIVATION

/* The list has a line for each nc_hlx_activation, at its place. */
#define NC_HLX__NUMBER(id, name) NC_HLX__IS_##id,
enum { NC_HLX__ACTIVATIONS(NC_HLX__NUMBER) NC_HLX__LISTED };
#undef NC_HLX__NUMBER
#define NC_HLX__CHECK(id, name)                                                                    \
    typedef char nc_hlx__place_of_##name[(int)NC_HLX__IS_##id == (int)NC_HLX_##id ? 1 : -1];
NC_HLX__ACTIVATIONS(NC_HLX__CHECK)
#undef NC_HLX__CHECK
typedef char nc_hlx__all_listed[(int)NC_HLX__LISTED == (int)NC_HLX_ACTIVATIONS ? 1 : -1];

NC_HLX__TASK(nc_hlx__activate, float *out; const float *x; uint32_t activation;
             , nc_hlx__activations[j.activation].value(j.out + first, j.x + first, 1, 0, count))

NC_API nc_status nc_hlx_activate(float *out, const float *x, size_t n, uint32_t activation) {
    const nc_hlx__activate_job j = {out, x, activation};
    if (activation >= NC_HLX_ACTIVATIONS) return NC_ERR_ARG;
    nc_hlx__split(nc_hlx__activate, &j, n, NC_HLX__PIECE);
    return NC_OK;
}

NC_HLX__TASK(nc_hlx__activate_dx, float *dx; const float *dout; const float *x; uint32_t activation;
             , nc_hlx__activations[j.activation].slope(j.dx + first, j.dout + first, j.x + first,
                                                       count))

NC_API nc_status nc_hlx_activate_backward(float *dx, const float *dout, const float *x, size_t n,
                                          uint32_t activation) {
    const nc_hlx__activate_dx_job j = {dx, dout, x, activation};
    if (activation >= NC_HLX_ACTIVATIONS) return NC_ERR_ARG;
    nc_hlx__split(nc_hlx__activate_dx, &j, n, NC_HLX__PIECE);
    return NC_OK;
}

NC_API const char *nc_hlx_activation_name(uint32_t activation) {
    return activation < NC_HLX_ACTIVATIONS ? nc_hlx__activations[activation].name : NULL;
}

NC_API void nc_hlx_gelu(float *out, const float *x, size_t n) {
    (void)nc_hlx_activate(out, x, n, NC_HLX_GELU);
}

NC_API void nc_hlx_gelu_backward(float *dx, const float *dout, const float *x, size_t n) {
    (void)nc_hlx_activate_backward(dx, dout, x, n, NC_HLX_GELU);
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

/* Elements whose counters begin at `first`, which may stand inside a group of four words. */
NC_HLX__INLINE void nc_hlx__drop_body(float *out, const float *x, size_t n, uint64_t first,
                                      uint32_t threshold, float scale, uint64_t seed,
                                      uint64_t stream) {
    uint32_t words[NC_HLX__LANES];
    size_t i = 0, skip = (size_t)(first % 4), j, m;
    for (; i < n; i += m, skip = 0) {
        nc_hlx__philox8(words, seed, (first + i) / 4, stream);
        m = nc_hlx__min(n - i, NC_HLX__LANES - skip);
        NC_HLX__FREE
        for (j = 0; j < m; j++) out[i + j] = words[skip + j] >= threshold ? x[i + j] * scale : 0.0f;
    }
}
NC_HLX__VERSIONS(nc_hlx__drop,
                 (float *out, const float *x, size_t n, uint64_t first, uint32_t threshold,
                  float scale, uint64_t seed, uint64_t stream),
                 (out, x, n, first, threshold, scale, seed, stream))

/* A dropout rate in [0, 1) as the least word that keeps. */
static uint32_t nc_hlx__threshold(float rate) { return (uint32_t)((double)rate * 4294967296.0); }

NC_HLX__TASK(nc_hlx__dropout, float *out; const float *x; uint64_t counter; uint32_t threshold;
             float scale; uint64_t seed; uint64_t stream;
             , nc_hlx__drop(j.out + first, j.x + first, count, j.counter + first, j.threshold,
                            j.scale, j.seed, j.stream))

NC_API void nc_hlx_dropout(float *out, const float *x, size_t n, uint64_t counter, float rate,
                           uint64_t seed, uint64_t stream) {
    const nc_hlx__dropout_job j = {
        out, x, counter, nc_hlx__threshold(rate), 1.0f / (1.0f - rate), seed, stream};
    nc_hlx__split(nc_hlx__dropout, &j, n, NC_HLX__PIECE);
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
NC_HLX__TWO_VERSIONS(nc_hlx__bf16_round, (float *x, size_t n), (x, n))

NC_HLX__INLINE void nc_hlx__bf16_pack_body(uint16_t *out, const float *x, size_t n) {
    size_t i;
    for (i = 0; i < n; i++) out[i] = (uint16_t)(nc_hlx__bf16_bits(nc_hlx__bits(x[i])) >> 16);
}
NC_HLX__VERSIONS(nc_hlx__bf16_pack, (uint16_t * out, const float *x, size_t n), (out, x, n))

NC_HLX__INLINE void nc_hlx__bf16_unpack_body(float *out, const uint16_t *x, size_t n) {
    size_t i;
    for (i = 0; i < n; i++) out[i] = nc_hlx__float((uint32_t)x[i] << 16);
}
NC_HLX__TWO_VERSIONS(nc_hlx__bf16_unpack, (float *out, const uint16_t *x, size_t n), (out, x, n))

NC_HLX__TASK(nc_hlx__round_all, float *x;, nc_hlx__bf16_round(j.x + first, count))
NC_HLX__TASK(nc_hlx__pack_all, uint16_t *out; const float *x;
             , nc_hlx__bf16_pack(j.out + first, j.x + first, count))
NC_HLX__TASK(nc_hlx__unpack_all, float *out; const uint16_t *x;
             , nc_hlx__bf16_unpack(j.out + first, j.x + first, count))

NC_API void nc_hlx_bf16_round(float *x, size_t n) {
    const nc_hlx__round_all_job j = {x};
    nc_hlx__split(nc_hlx__round_all, &j, n, NC_HLX__PIECE);
}

NC_API void nc_hlx_bf16_pack(uint16_t *out, const float *x, size_t n) {
    const nc_hlx__pack_all_job j = {out, x};
    nc_hlx__split(nc_hlx__pack_all, &j, n, NC_HLX__PIECE);
}

NC_API void nc_hlx_bf16_unpack(float *out, const uint16_t *x, size_t n) {
    const nc_hlx__unpack_all_job j = {out, x};
    nc_hlx__split(nc_hlx__unpack_all, &j, n, NC_HLX__PIECE);
}

/* -- rows: sums over them, and embeddings -- */

/* out = a + b. */
NC_HLX__INLINE void nc_hlx__add_body(float *out, const float *a, const float *b, size_t n) {
    size_t i;
    NC_HLX__FREE
    for (i = 0; i < n; i++) out[i] = a[i] + b[i];
}
NC_HLX__TWO_VERSIONS(nc_hlx__add, (float *out, const float *a, const float *b, size_t n),
                     (out, a, b, n))

/* `count` columns of rows of n. */
NC_HLX__INLINE void nc_hlx__sum_columns_body(float *sums, const float *x, size_t rows, size_t n,
                                             size_t count) {
    size_t r;
    for (r = 0; r < rows; r++) nc_hlx__add_body(sums, sums, x + r * n, count);
}
NC_HLX__TWO_VERSIONS(nc_hlx__sum_columns,
                     (float *sums, const float *x, size_t rows, size_t n, size_t count),
                     (sums, x, rows, n, count))

NC_HLX__TASK(nc_hlx__column_sums, float *sums; const float *x; size_t rows; size_t n;
             , nc_hlx__sum_columns(j.sums + first, j.x + first, j.rows, j.n, count))

NC_API void nc_hlx_column_sums(float *sums, const float *x, size_t rows, size_t n) {
    const nc_hlx__column_sums_job j = {sums, x, rows, n};
    nc_hlx__split(nc_hlx__column_sums, &j, n, NC_HLX__COLUMNS);
}

static void nc_hlx__embed_row(float *out, const float *token, const float *position, size_t d) {
    if (position)
        nc_hlx__add(out, token, position, d);
    else
        memcpy(out, token, d * sizeof *out);
}

NC_HLX__TASK(nc_hlx__embed, float *out; const uint32_t *tokens; const float *wte; const float *wpe;
             size_t seq; size_t d;
             , for (; count; count--, first++)
                   nc_hlx__embed_row(j.out + first * j.d, j.wte + (size_t)j.tokens[first] * j.d,
                                     j.wpe ? j.wpe + first % j.seq *j.d : NULL, j.d))

NC_API void nc_hlx_embedding(float *out, const uint32_t *tokens, const float *wte, const float *wpe,
                             size_t rows, size_t seq, size_t d) {
    const nc_hlx__embed_job j = {out, tokens, wte, wpe, seq, d};
    nc_hlx__split(nc_hlx__embed, &j, rows, nc_hlx__rows_of(d));
}

/* Columns [first, first + count) of both gradients. */
NC_HLX__INLINE void nc_hlx__embedding_columns_body(float *dwte, float *dwpe, const float *dout,
                                                   const uint32_t *tokens, size_t rows, size_t seq,
                                                   size_t d, size_t first, size_t count) {
    size_t i;
    for (i = 0; i < rows; i++) {
        const float *dy = dout + i * d + first;
        float *token = dwte + (size_t)tokens[i] * d + first;
        float *position = dwpe ? dwpe + i % seq * d + first : NULL;
        nc_hlx__add_body(token, token, dy, count);
        if (position) nc_hlx__add_body(position, position, dy, count);
    }
}
NC_HLX__TWO_VERSIONS(nc_hlx__embedding_columns,
                     (float *dwte, float *dwpe, const float *dout, const uint32_t *tokens,
                      size_t rows, size_t seq, size_t d, size_t first, size_t count),
                     (dwte, dwpe, dout, tokens, rows, seq, d, first, count))

NC_HLX__TASK(nc_hlx__embed_dx, float *dwte; float *dwpe; const float *dout; const uint32_t *tokens;
             size_t rows; size_t seq; size_t d;
             , nc_hlx__embedding_columns(j.dwte, j.dwpe, j.dout, j.tokens, j.rows, j.seq, j.d,
                                         first, count))

NC_API void nc_hlx_embedding_backward(float *dwte, float *dwpe, const float *dout,
                                      const uint32_t *tokens, size_t rows, size_t seq, size_t d) {
    const nc_hlx__embed_dx_job j = {dwte, dwpe, dout, tokens, rows, seq, d};
    nc_hlx__split(nc_hlx__embed_dx, &j, d, NC_HLX__COLUMNS);
}

/* -- rows: layer norm -- */

/* One row: (x - mean) rstd gamma + beta. */
NC_HLX__INLINE void nc_hlx__layernorm_row_body(float *out, float *mean, float *rstd, const float *x,
                                               const float *gamma, const float *beta, size_t n,
                                               float eps) {
    const float m = nc_hlx__reduce(x, NULL, n) / (float)n;
    float r;
    size_t i;
    NC_HLX__FREE
    for (i = 0; i < n; i++) out[i] = x[i] - m;
    r = 1.0f / sqrtf(nc_hlx__reduce(out, out, n) / (float)n + eps);
    NC_HLX__FREE
    for (i = 0; i < n; i++) out[i] = NC__FMAF(out[i] * r, gamma[i], beta[i]);
    *mean = m;
    *rstd = r;
}
NC_HLX__TWO_VERSIONS(nc_hlx__layernorm_row,
                     (float *out, float *mean, float *rstd, const float *x, const float *gamma,
                      const float *beta, size_t n, float eps),
                     (out, mean, rstd, x, gamma, beta, n, eps))

NC_HLX__TASK(nc_hlx__layernorm, float *out; float *mean; float *rstd; const float *x;
             const float *gamma; const float *beta; size_t n; float eps;
             , for (; count; count--, first++)
                   nc_hlx__layernorm_row(j.out + first * j.n, j.mean + first, j.rstd + first,
                                         j.x + first * j.n, j.gamma, j.beta, j.n, j.eps))

NC_API void nc_hlx_layernorm_eps(float *out, float *mean, float *rstd, const float *x,
                                 const float *gamma, const float *beta, size_t rows, size_t n,
                                 float eps) {
    const nc_hlx__layernorm_job j = {out, mean, rstd, x, gamma, beta, n, eps};
    nc_hlx__split(nc_hlx__layernorm, &j, rows, nc_hlx__rows_of(n));
}

NC_API void nc_hlx_layernorm(float *out, float *mean, float *rstd, const float *x,
                             const float *gamma, const float *beta, size_t rows, size_t n) {
    nc_hlx_layernorm_eps(out, mean, rstd, x, gamma, beta, rows, n, 1e-5f);
}

/* One chunk's sums of dy gamma, *sums, and of dy gamma xhat, sums[1]. The end of a row is padded
 * with dy = -0 and xhat = 0, which leave every sum alone. */
NC_HLX__INLINE void nc_hlx__layernorm_sums_body(float *sums, const float *dout, const float *x,
                                                const float *gamma, float mean, float rstd,
                                                size_t n) {
    float s[NC_HLX__LANES], t[NC_HLX__LANES], pad[3][NC_HLX__LANES];
    size_t blocks = n / NC_HLX__LANES, rest = n % NC_HLX__LANES;
    int j;
    for (j = 0; j < NC_HLX__LANES; j++) s[j] = t[j] = 0.0f;
    for (;;) {
        for (; blocks; blocks--) {
            for (j = 0; j < NC_HLX__LANES; j++) {
                const float dy = dout[j] * gamma[j], xhat = (x[j] - mean) * rstd;
                s[j] = s[j] + dy;
                t[j] = NC__FMAF(dy, xhat, t[j]);
            }
            dout += NC_HLX__LANES;
            x += NC_HLX__LANES;
            gamma += NC_HLX__LANES;
        }
        if (rest == 0) break;
        for (j = 0; j < NC_HLX__LANES; j++) pad[0][j] = -0.0f, pad[1][j] = mean, pad[2][j] = 1.0f;
        memcpy(pad[0], dout, rest * sizeof *dout);
        memcpy(pad[1], x, rest * sizeof *x);
        memcpy(pad[2], gamma, rest * sizeof *gamma);
        dout = pad[0];
        x = pad[1];
        gamma = pad[2];
        blocks = 1;
        rest = 0;
    }
    sums[0] = nc_hlx__tree(s);
    sums[1] = nc_hlx__tree(t);
}
NC_HLX__TWO_VERSIONS(nc_hlx__layernorm_sums,
                     (float *sums, const float *dout, const float *x, const float *gamma,
                      float mean, float rstd, size_t n),
                     (sums, dout, x, gamma, mean, rstd, n))

/* Both means of a row by the fixed reduction; rows are at most 2^24 wide: two levels are enough. */
static void nc_hlx__layernorm_means(float *means, const float *dout, const float *x,
                                    const float *gamma, float mean, float rstd, size_t n) {
    float s[2][NC_HLX__LANES];
    size_t i, lane = 0;
    if (n <= NC_HLX__CHUNK) {
        nc_hlx__layernorm_sums(means, dout, x, gamma, mean, rstd, n);
    } else {
        memset(s, 0, sizeof s);
        for (i = 0; i < n; i += NC_HLX__CHUNK, lane = (lane + 1) % NC_HLX__LANES) {
            nc_hlx__layernorm_sums(means, dout + i, x + i, gamma + i, mean, rstd,
                                   nc_hlx__min(n - i, NC_HLX__CHUNK));
            s[0][lane] = s[0][lane] + means[0];
            s[1][lane] = s[1][lane] + means[1];
        }
        means[0] = nc_hlx__tree(s[0]);
        means[1] = nc_hlx__tree(s[1]);
    }
    means[0] = means[0] / (float)n;
    means[1] = means[1] / (float)n;
}

/* dx += rstd (dy gamma - mean(dy gamma) - xhat mean(dy gamma xhat)). */
NC_HLX__INLINE void nc_hlx__layernorm_move_body(float *dx, const float *dout, const float *x,
                                                const float *gamma, float mean, float rstd,
                                                const float *means, size_t n) {
    const float mean_dy = means[0], mean_dyx = means[1];
    size_t i;
    NC_HLX__FREE
    for (i = 0; i < n; i++) {
        float dy = dout[i] * gamma[i], xhat = (x[i] - mean) * rstd;
        dx[i] = NC__FMAF(NC__FMAF(-xhat, mean_dyx, dy - mean_dy), rstd, dx[i]);
    }
}
NC_HLX__TWO_VERSIONS(nc_hlx__layernorm_move,
                     (float *dx, const float *dout, const float *x, const float *gamma, float mean,
                      float rstd, const float *means, size_t n),
                     (dx, dout, x, gamma, mean, rstd, means, n))

static void nc_hlx__layernorm_dx(float *dx, const float *dout, const float *x, const float *gamma,
                                 float mean, float rstd, size_t n) {
    float means[2];
    nc_hlx__layernorm_means(means, dout, x, gamma, mean, rstd, n);
    nc_hlx__layernorm_move(dx, dout, x, gamma, mean, rstd, means, n);
}

/* Columns [first, last) of dgamma and dbeta: chains over ascending rows. */
NC_HLX__INLINE void nc_hlx__layernorm_dw_body(float *dgamma, float *dbeta, const float *dout,
                                              const float *x, const float *mean, const float *rstd,
                                              size_t rows, size_t n, size_t first, size_t last) {
    size_t r, i;
    for (r = 0; r < rows; r++) {
        const float *dy = dout + r * n, *row = x + r * n, m = mean[r], s = rstd[r];
        NC_HLX__FREE
        for (i = first; i < last; i++) {
            dgamma[i] = NC__FMAF(dy[i], (row[i] - m) * s, dgamma[i]);
            dbeta[i] = dbeta[i] + dy[i];
        }
    }
}
NC_HLX__TWO_VERSIONS(nc_hlx__layernorm_dw,
                     (float *dgamma, float *dbeta, const float *dout, const float *x,
                      const float *mean, const float *rstd, size_t rows, size_t n, size_t first,
                      size_t last),
                     (dgamma, dbeta, dout, x, mean, rstd, rows, n, first, last))

#define NC_HLX__MEMBERS                                                                            \
    float *dx;                                                                                     \
    float *dgamma;                                                                                 \
    float *dbeta;                                                                                  \
    const float *dout;                                                                             \
    const float *x;                                                                                \
    const float *gamma;                                                                            \
    const float *mean;                                                                             \
    const float *rstd;                                                                             \
    size_t rows;                                                                                   \
    size_t n;
NC_HLX__TASK(nc_hlx__layernorm_back, NC_HLX__MEMBERS,
             for (; count; count--, first++)
                 nc_hlx__layernorm_dx(j.dx + first * j.n, j.dout + first * j.n, j.x + first * j.n,
                                      j.gamma, j.mean[first], j.rstd[first], j.n))
NC_HLX__TASK(nc_hlx__layernorm_weights, nc_hlx__layernorm_back_job of;
             , nc_hlx__layernorm_dw(j.of.dgamma, j.of.dbeta, j.of.dout, j.of.x, j.of.mean,
                                    j.of.rstd, j.of.rows, j.of.n, first, first + count))
#undef NC_HLX__MEMBERS

NC_API void nc_hlx_layernorm_backward(float *dx, float *dgamma, float *dbeta, const float *dout,
                                      const float *x, const float *gamma, const float *mean,
                                      const float *rstd, size_t rows, size_t n) {
    const nc_hlx__layernorm_weights_job j = {
        {dx, dgamma, dbeta, dout, x, gamma, mean, rstd, rows, n}};
    nc_hlx__split(nc_hlx__layernorm_back, &j.of, rows, nc_hlx__rows_of(n));
    nc_hlx__split(nc_hlx__layernorm_weights, &j, n, NC_HLX__COLUMNS);
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
        for (i = 0; i < n; i++) out[i] = NC__FMAF((x[i] - m) * rstd[r], gamma[i], beta[i]);
    }
}

/* -- rows: RMSNorm, which is layer norm with a mean of 0 -- */

NC_HLX__INLINE void nc_hlx__rmsnorm_row_body(float *out, float *rstd, const float *x,
                                             const float *gamma, size_t n, float eps) {
    const float r = 1.0f / sqrtf(nc_hlx__reduce(x, x, n) / (float)n + eps);
    size_t i;
    NC_HLX__FREE
    for (i = 0; i < n; i++) out[i] = x[i] * r * gamma[i];
    *rstd = r;
}
NC_HLX__TWO_VERSIONS(nc_hlx__rmsnorm_row,
                     (float *out, float *rstd, const float *x, const float *gamma, size_t n,
                      float eps),
                     (out, rstd, x, gamma, n, eps))

NC_HLX__TASK(nc_hlx__rmsnorm, float *out; float *rstd; const float *x; const float *gamma; size_t n;
             float eps;, for (; count; count--, first++)
                             nc_hlx__rmsnorm_row(j.out + first * j.n, j.rstd + first,
                                                 j.x + first * j.n, j.gamma, j.n, j.eps))

NC_API void nc_hlx_rmsnorm(float *out, float *rstd, const float *x, const float *gamma, size_t rows,
                           size_t n, float eps) {
    const nc_hlx__rmsnorm_job j = {out, rstd, x, gamma, n, eps};
    nc_hlx__split(nc_hlx__rmsnorm, &j, rows, nc_hlx__rows_of(n));
}

/* dx += rstd (dy gamma - xhat mean(dy gamma xhat)). */
static void nc_hlx__rmsnorm_dx(float *dx, const float *dout, const float *x, const float *gamma,
                               float rstd, size_t n) {
    float means[2];
    nc_hlx__layernorm_means(means, dout, x, gamma, 0.0f, rstd, n);
    means[0] = 0.0f;
    nc_hlx__layernorm_move(dx, dout, x, gamma, 0.0f, rstd, means, n);
}

/* Columns [first, last) of dgamma. */
NC_HLX__INLINE void nc_hlx__rmsnorm_dw_body(float *dgamma, const float *dout, const float *x,
                                            const float *rstd, size_t rows, size_t n, size_t first,
                                            size_t last) {
    size_t r, i;
    for (r = 0; r < rows; r++) {
        const float *dy = dout + r * n, *row = x + r * n, s = rstd[r];
        NC_HLX__FREE
        for (i = first; i < last; i++) dgamma[i] = NC__FMAF(dy[i], row[i] * s, dgamma[i]);
    }
}
NC_HLX__TWO_VERSIONS(nc_hlx__rmsnorm_dw,
                     (float *dgamma, const float *dout, const float *x, const float *rstd,
                      size_t rows, size_t n, size_t first, size_t last),
                     (dgamma, dout, x, rstd, rows, n, first, last))

NC_HLX__TASK(nc_hlx__rmsnorm_back, float *dx; const float *dout; const float *x; const float *gamma;
             const float *rstd; size_t n;
             , for (; count; count--, first++)
                   nc_hlx__rmsnorm_dx(j.dx + first * j.n, j.dout + first * j.n, j.x + first * j.n,
                                      j.gamma, j.rstd[first], j.n))
NC_HLX__TASK(nc_hlx__rmsnorm_weights, float *dgamma; const float *dout; const float *x;
             const float *rstd; size_t rows; size_t n;
             , nc_hlx__rmsnorm_dw(j.dgamma, j.dout, j.x, j.rstd, j.rows, j.n, first, first + count))

NC_API void nc_hlx_rmsnorm_backward(float *dx, float *dgamma, const float *dout, const float *x,
                                    const float *gamma, const float *rstd, size_t rows, size_t n) {
    const nc_hlx__rmsnorm_back_job j = {dx, dout, x, gamma, rstd, n};
    const nc_hlx__rmsnorm_weights_job w = {dgamma, dout, x, rstd, rows, n};
    nc_hlx__split(nc_hlx__rmsnorm_back, &j, rows, nc_hlx__rows_of(n));
    nc_hlx__split(nc_hlx__rmsnorm_weights, &w, n, NC_HLX__COLUMNS);
}

/* -- rows: rotary positions -- */

NC__COLD_BEGIN

/* These three are float64 + - * / alone, the same bits everywhere; errors are some 1e-16, which a
 * rounding to float32 hides. log(x) of a normal x >= 1: x = 2^e m, m in [sqrt(1/2), sqrt(2)), and
 * log m = 2 artanh(s), s = (m - 1) / (m + 1), by its series. */
static double nc_hlx__log_double(double x) {
    double m, s, z, p = 0.0;
    uint64_t u;
    int64_t e;
    int k;
    memcpy(&u, &x, sizeof u);
    e = (int64_t)(u >> 52) - 1023;
    u = (u & UINT64_C(0x000FFFFFFFFFFFFF)) | UINT64_C(0x3FF0000000000000);
    memcpy(&m, &u, sizeof m);
    if (m >= 1.4142135623730951) {
        m = m * 0.5;
        e++;
    }
    s = (m - 1.0) / (m + 1.0);
    z = s * s;
    for (k = 23; k > 0; k -= 2) p = p * z + 1.0 / (double)k;
    return (double)e * 0.69314718055994531 + 2.0 * s * p;
}

/* e^x for -700 < x <= 0: x = n log 2 + r, and the Taylor polynomial of r. */
static double nc_hlx__exp_double(double x) {
    const double shift = 6755399441055744.0; /* 1.5 * 2^52: what is added becomes an integer */
    const double n = (x * 1.4426950408889634 + shift) - shift;
    const double r = (x - n * 0.69314718036912382) - n * 1.9082149292705877e-10;
    double p = 1.0, power;
    uint64_t u;
    int k;
    for (k = 14; k > 0; k--) p = 1.0 + r * p / (double)k;
    u = (uint64_t)((int64_t)n + 1023) << 52;
    memcpy(&power, &u, sizeof power);
    return p * power;
}

/* Cosine and sine of 0 <= angle <= 2^20: angle = n pi/2 + r, where n times the first 33 bits of
 * pi/2 is exact, and Taylor polynomials of r. */
static void nc_hlx__turn(float angle, float *cosine, float *sine) {
    static const double cosines[] = {1.0 / 240, 1.0 / 182, 1.0 / 132, 1.0 / 90,
                                     1.0 / 56,  1.0 / 30,  1.0 / 12,  1.0 / 2};
    static const double sines[] = {1.0 / 272, 1.0 / 210, 1.0 / 156, 1.0 / 110,
                                   1.0 / 72,  1.0 / 42,  1.0 / 20,  1.0 / 6};
    const double x = (double)angle, shift = 6755399441055744.0;
    const double n = (x * 0.63661977236758134 + shift) - shift;
    const double r = (x - n * 1.5707963267341256) - n * 6.0771005065061922e-11, z = r * r;
    const int quarter = (int)((int64_t)n & 3);
    double c = 1.0, s = 1.0;
    float to[2];
    int k;
    for (k = 0; k < 8; k++) {
        c = 1.0 - z * cosines[k] * c;
        s = 1.0 - z * sines[k] * s;
    }
    to[0] = (float)c;
    to[1] = (float)(r * s);
    *cosine = to[quarter & 1];
    *sine = to[!(quarter & 1)];
    if (quarter == 1 || quarter == 2) *cosine = -*cosine;
    if (quarter >= 2) *sine = -*sine;
}

/* Defaults, or 0 for what the type excludes. */
static int nc_hlx__rope_complete(nc_hlx_rope *r) {
    if (r->theta == 0.0f) r->theta = 10000.0f;
    if (!(r->theta >= 1.0f && r->theta <= FLT_MAX)) return 0;
    if (!r->original) return r->factor == 0.0f && r->low == 0.0f && r->high == 0.0f;
    return r->factor >= 1.0f && r->factor <= FLT_MAX && r->low > 0.0f && r->high > r->low &&
           r->high <= FLT_MAX;
}

/* Turn of pair i a position. */
static float nc_hlx__frequency(const nc_hlx_rope *r, size_t i, size_t head_size) {
    const double f = nc_hlx__exp_double(-2.0 * (double)i / (double)head_size *
                                        nc_hlx__log_double((double)r->theta));
    const double turns = (double)r->original * f / 6.2831853071795865; /* in the old context */
    double kept;
    if (!r->original) return (float)f;
    kept = (turns - (double)r->low) / ((double)r->high - (double)r->low);
    kept = kept < 0.0 ? 0.0 : kept > 1.0 ? 1.0 : kept;
    return (float)((1.0 - kept) * f / (double)r->factor + kept * f);
}

NC_API nc_status nc_hlx_rotary_table(float *table, size_t positions, size_t head_size,
                                     const nc_hlx_rope *rope) {
    const size_t half = head_size / 2;
    nc_hlx_rope r;
    size_t p, i;
    if (!table || !rope || head_size == 0 || head_size % 2 || positions > (size_t)1 << 20)
        return NC_ERR_ARG;
    r = *rope;
    if (!nc_hlx__rope_complete(&r)) return NC_ERR_ARG;
    for (i = 0; i < half; i++) {
        const float frequency = nc_hlx__frequency(&r, i, head_size);
        for (p = 0; p < positions; p++)
            nc_hlx__turn((float)p * frequency, table + p * head_size + i,
                         table + p * head_size + half + i);
    }
    return NC_OK;
}

NC__COLD_END

/* One head; sign -1 turns back. */
NC_HLX__INLINE void nc_hlx__rotate_body(float *x, const float *table, size_t half, float sign) {
    const float *cosine = table, *sine = table + half;
    size_t i;
    NC_HLX__FREE
    for (i = 0; i < half; i++) {
        const float u = x[i], v = x[i + half], s = sign * sine[i];
        x[i] = NC__FMAF(-v, s, u * cosine[i]);
        x[i + half] = NC__FMAF(u, s, v * cosine[i]);
    }
}
NC_HLX__TWO_VERSIONS(nc_hlx__rotate, (float *x, const float *table, size_t half, float sign),
                     (x, table, half, sign))

NC_HLX__TASK(nc_hlx__rotary, float *x; const float *table; size_t seq; size_t heads;
             size_t head_size; size_t ld; float sign;, size_t h;
             for (; count; count--, first++) for (h = 0; h < j.heads; h++)
                 nc_hlx__rotate(j.x + first * j.ld + h * j.head_size,
                                j.table + first % j.seq * j.head_size, j.head_size / 2, j.sign))

NC_API void nc_hlx_rotary(float *x, const float *table, size_t rows, size_t seq, size_t heads,
                          size_t head_size, size_t ld, int inverse) {
    const nc_hlx__rotary_job j = {x, table, seq, heads, head_size, ld, inverse ? -1.0f : 1.0f};
    nc_hlx__split(nc_hlx__rotary, &j, rows, nc_hlx__rows_of(heads * head_size));
}

/* -- rows: gated activations -- */

NC_HLX__INLINE void nc_hlx__times_body(float *out, const float *a, const float *b, size_t n) {
    size_t i;
    NC_HLX__FREE
    for (i = 0; i < n; i++) out[i] = a[i] * b[i];
}
NC_HLX__TWO_VERSIONS(nc_hlx__times, (float *out, const float *a, const float *b, size_t n),
                     (out, a, b, n))

static void nc_hlx__swiglu_row(float *out, const float *x, size_t n, uint32_t activation) {
    nc_hlx__activations[activation].value(out, x, 1, 0, n);
    nc_hlx__times(out, out, x + n, n);
}

/* dgate = dout up slope(gate), dup = dout activation(gate). */
static void nc_hlx__swiglu_row_backward(float *dx, const float *dout, const float *x, size_t n,
                                        uint32_t activation) {
    nc_hlx__times(dx, dout, x + n, n);
    nc_hlx__activations[activation].slope(dx, dx, x, n);
    nc_hlx__activations[activation].value(dx + n, x, 1, 0, n);
    nc_hlx__times(dx + n, dx + n, dout, n);
}

NC_HLX__TASK(nc_hlx__swiglu, float *out; const float *x; size_t n; uint32_t activation;
             ,
             for (; count; count--, first++)
                 nc_hlx__swiglu_row(j.out + first * j.n, j.x + first * 2 * j.n, j.n, j.activation))

NC_API nc_status nc_hlx_swiglu(float *out, const float *x, size_t rows, size_t n,
                               uint32_t activation) {
    const nc_hlx__swiglu_job j = {out, x, n, activation};
    if (activation >= NC_HLX_ACTIVATIONS) return NC_ERR_ARG;
    nc_hlx__split(nc_hlx__swiglu, &j, rows, nc_hlx__rows_of(n));
    return NC_OK;
}

NC_HLX__TASK(nc_hlx__swiglu_back, float *dx; const float *dout; const float *x; size_t n;
             uint32_t activation;
             , for (; count; count--, first++)
                   nc_hlx__swiglu_row_backward(j.dx + first * 2 * j.n, j.dout + first * j.n,
                                               j.x + first * 2 * j.n, j.n, j.activation))

NC_API nc_status nc_hlx_swiglu_backward(float *dx, const float *dout, const float *x, size_t rows,
                                        size_t n, uint32_t activation) {
    const nc_hlx__swiglu_back_job j = {dx, dout, x, n, activation};
    if (activation >= NC_HLX_ACTIVATIONS) return NC_ERR_ARG;
    nc_hlx__split(nc_hlx__swiglu_back, &j, rows, nc_hlx__rows_of(n));
    return NC_OK;
}

/* -- rows: softmax and cross-entropy -- */

/* The largest of lanes that hold the largest of their values: NaN is passed over by `>`, but where
 * it was there first. Every width stands alone, so that the lanes stay in registers. */
NC_HLX__INLINE float nc_hlx__max(float most[NC_HLX__BLOCK]) {
    int j;
    for (j = 0; j < 8; j++) most[j] = most[j + 8] > most[j] ? most[j + 8] : most[j];
    for (j = 0; j < 4; j++) most[j] = most[j + 4] > most[j] ? most[j + 4] : most[j];
    for (j = 0; j < 2; j++) most[j] = most[j + 2] > most[j] ? most[j + 2] : most[j];
    return most[1] > most[0] ? most[1] : most[0];
}

/* A row of n > 0 becomes exp(x - max); *sum gets its sum. What lies behind it, `room` values from x
 * on, may become 0: whole blocks spare a copy. A lane of the sum begins at +0 and has no negative
 * term, so that +0 leaves it alone. */
NC_HLX__INLINE void nc_hlx__exponentials_body(float *x, float *max, float *sum, size_t n,
                                              size_t room) {
    const size_t last = (n - 1) / NC_HLX__BLOCK * NC_HLX__BLOCK;
    const float first = x[0];
    float most[NC_HLX__BLOCK], pad[NC_HLX__BLOCK], s[NC_HLX__LANES], *tail = x + last, top;
    size_t i;
    int j;
    for (j = 0; j < NC_HLX__BLOCK; j++) most[j] = pad[j] = first;
    for (j = 0; j < NC_HLX__LANES; j++) s[j] = 0.0f;
    if (room < last + NC_HLX__BLOCK) tail = (float *)memcpy(pad, tail, (n - last) * sizeof *x);
    for (i = 0; i < n; i += NC_HLX__BLOCK) {
        const float *u = i < last ? x + i : tail;
        const int kept = (int)nc_hlx__min(n - i, NC_HLX__BLOCK);
        for (j = 0; j < NC_HLX__BLOCK; j++) {
            const float v = u[j], w = j < kept ? v : first;
            most[j] = w > most[j] ? w : most[j];
        }
    }
    top = nc_hlx__max(most);
    for (i = 0; i < n; i += NC_HLX__BLOCK) {
        float *u = i < last ? x + i : tail, *lane = s + i % NC_HLX__LANES;
        const int kept = (int)nc_hlx__min(n - i, NC_HLX__BLOCK);
        NC_HLX__FREE
        for (j = 0; j < NC_HLX__BLOCK; j++) {
            const float v = u[j], e = nc_hlx__exp1((j < kept ? v : top) - top);
            u[j] = j < kept ? e : 0.0f;
        }
        for (j = 0; j < NC_HLX__BLOCK; j++) lane[j] = lane[j] + u[j];
    }
    if (tail == pad) memcpy(x + last, pad, (n - last) * sizeof *x);
    *max = top;
    *sum = n > NC_HLX__CHUNK ? nc_hlx__reduce(x, NULL, n) : nc_hlx__tree_body(s);
}
NC_HLX__VERSIONS(nc_hlx__exponentials, (float *x, float *max, float *sum, size_t n, size_t room),
                 (x, max, sum, n, room))

/* x[i] / sum, and that divided by count. */
NC_HLX__INLINE void nc_hlx__quotients_body(float *x, float sum, float count, size_t n) {
    size_t i;
    if (count == 1.0f)
        for (i = 0; i < n; i++) x[i] = x[i] / sum;
    else
        for (i = 0; i < n; i++) x[i] = x[i] / sum / count;
}
NC_HLX__TWO_VERSIONS(nc_hlx__quotients, (float *x, float sum, float count, size_t n),
                     (x, sum, count, n))

/* Entries of row r that a causal mask keeps. */
static size_t nc_hlx__kept(size_t r, size_t n, int causal) {
    return causal ? nc_hlx__min(r + 1, n) : n;
}

static void nc_hlx__softmax_row(float *x, size_t kept, size_t n) {
    float max, sum;
    nc_hlx__exponentials(x, &max, &sum, kept, n);
    nc_hlx__quotients(x, sum, 1.0f, kept);
    memset(x + kept, 0, (n - kept) * sizeof *x);
}

NC_HLX__TASK(nc_hlx__softmax, float *x; size_t n; int causal;
             , for (; count; count--, first++)
                   nc_hlx__softmax_row(j.x + first * j.n, nc_hlx__kept(first, j.n, j.causal), j.n))

NC_API void nc_hlx_softmax(float *x, size_t rows, size_t n, int causal) {
    const nc_hlx__softmax_job j = {x, n, causal};
    if (n) nc_hlx__split(nc_hlx__softmax, &j, rows, nc_hlx__rows_of(n));
}

NC_HLX__INLINE void nc_hlx__softmax_dx_body(float *dy, const float *y, size_t n) {
    const float dot = nc_hlx__reduce(dy, y, n);
    size_t i;
    NC_HLX__FREE
    for (i = 0; i < n; i++) dy[i] = y[i] * (dy[i] - dot);
}
NC_HLX__TWO_VERSIONS(nc_hlx__softmax_dx, (float *dy, const float *y, size_t n), (dy, y, n))

static void nc_hlx__softmax_row_backward(float *dy, const float *y, size_t kept, size_t n) {
    nc_hlx__softmax_dx(dy, y, kept);
    memset(dy + kept, 0, (n - kept) * sizeof *dy);
}

NC_HLX__TASK(nc_hlx__softmax_back, float *dy; const float *y; size_t n; int causal;
             , for (; count; count--, first++)
                   nc_hlx__softmax_row_backward(j.dy + first * j.n, j.y + first * j.n,
                                                nc_hlx__kept(first, j.n, j.causal), j.n))

NC_API void nc_hlx_softmax_backward(float *dy, const float *y, size_t rows, size_t n, int causal) {
    const nc_hlx__softmax_back_job j = {dy, y, n, causal};
    nc_hlx__split(nc_hlx__softmax_back, &j, rows, nc_hlx__rows_of(n));
}

/* loss = log(sum exp(x - max)) - (x[target] - max); gradient (softmax - one_hot) / count. */
static void nc_hlx__cross_entropy_row(float *x, float *loss, uint32_t target, float count,
                                      size_t n) {
    float max, sum, picked, gradient;
    *loss = 0.0f;
    if (target >= n) {
        memset(x, 0, n * sizeof *x);
        return;
    }
    picked = x[target];
    nc_hlx__exponentials(x, &max, &sum, n, n);
    *loss = nc_hlx__log1(sum) - (picked - max);
    gradient = (x[target] / sum - 1.0f) / count;
    nc_hlx__quotients(x, sum, count, n);
    x[target] = gradient;
}

NC_HLX__TASK(nc_hlx__losses, float *logits; const uint32_t *targets; float *losses; float count;
             size_t n;, for (; count; count--, first++)
                            nc_hlx__cross_entropy_row(j.logits + first * j.n, j.losses + first,
                                                      j.targets[first], j.count, j.n))

/* Rows' losses, and gradients divided by count. */
static void nc_hlx__cross_entropy_rows(float *logits, const uint32_t *targets, float *losses,
                                       size_t rows, size_t n, float count) {
    const nc_hlx__losses_job j = {logits, targets, losses, count, n};
    nc_hlx__split(nc_hlx__losses, &j, rows, nc_hlx__rows_of(n));
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

/* >>gemm =========================================================================== */

NC_API void nc_hlx_gemm_ref(int trans_a, int trans_b, size_t m, size_t n, size_t k, const float *a,
                            size_t lda, const float *b, size_t ldb, float *c, size_t ldc,
                            int accumulate) {
    size_t i, j, p;
    for (i = 0; i < m; i++)
        for (j = 0; j < n; j++) {
            float sum = accumulate ? c[i * ldc + j] : 0.0f;
            for (p = 0; p < k; p++)
                sum = NC__FMAF(a[trans_a ? p * lda + i : i * lda + p],
                               b[trans_b ? j * ldb + p : p * ldb + j], sum);
            c[i * ldc + j] = sum;
        }
}

/* mr rows of op(A): element (i, p) is at[i * row + p * step]. */
typedef struct nc_hlx__strided {
    const float *at;
    size_t row, step;
} nc_hlx__strided;

/* A tile of C is mr x nr; A comes packed as k columns of mr values, B as k rows of nr values.
 * The accumulators start from 0 (fresh) or from C and return to it, so cutting k into blocks
 * changes nothing. */
typedef void (*nc_hlx__micro_fn)(size_t k, nc_hlx__strided a, const float *b, float *c, size_t ldc,
                                 int fresh);
typedef struct nc_hlx__micro {
    size_t mr, nr;
    nc_hlx__micro_fn fn;
    size_t direct; /* fn takes A as it is for so many columns of B; packing pays beyond */
} nc_hlx__micro;

enum {
    NC_HLX__KC = 256,    /* k block */
    NC_HLX__MC = 128,    /* rows of A per task at most, rounded down to whole tiles */
    NC_HLX__ROOM = 896,  /* rows of A that all threads may hold packed */
    NC_HLX__NC = 1024,   /* columns per block of B */
    NC_HLX__GROUP = 256, /* columns of B that a tile of A is held against in turn */
    NC_HLX__MR_MAX = 8,
    NC_HLX__NR_MAX = 32
};

static void nc_hlx__micro_portable(size_t k, nc_hlx__strided packed, const float *b, float *c,
                                   size_t ldc, int fresh) {
    const float *a = packed.at;
    float tile[4][8];
    size_t p;
    int i, j;
    memset(tile, 0, sizeof tile);
    for (i = 0; i < 4 && !fresh; i++) memcpy(tile[i], c + (size_t)i * ldc, sizeof tile[i]);
    for (p = 0; p < k; p++, a += 4, b += 8)
        for (i = 0; i < 4; i++)
            for (j = 0; j < 8; j++) tile[i][j] = NC__FMAF(a[i], b[j], tile[i][j]);
    for (i = 0; i < 4; i++) memcpy(c + (size_t)i * ldc, tile[i], sizeof tile[i]);
}

#ifdef NC_HLX__X86
/* One text for both widths: row i of the tile is the vectors xi and yi. */
#define NC_HLX__ROWS6(X, bits) X(bits, 0) X(bits, 1) X(bits, 2) X(bits, 3) X(bits, 4) X(bits, 5)
#define NC_HLX__ROWS8(X, bits) NC_HLX__ROWS6(X, bits) X(bits, 6) X(bits, 7)
#define NC_HLX__ZERO(bits, i) __m##bits x##i = _mm##bits##_setzero_ps(), y##i = x##i;
#define NC_HLX__LOAD(bits, i)                                                                      \
    x##i = _mm##bits##_loadu_ps(c + i * ldc);                                                      \
    y##i = _mm##bits##_loadu_ps(c + i * ldc + bits / 32);
#define NC_HLX__FMA(bits, i)                                                                       \
    w = _mm##bits##_set1_ps(at[i * row]);                                                          \
    x##i = _mm##bits##_fmadd_ps(w, u, x##i);                                                       \
    y##i = _mm##bits##_fmadd_ps(w, v, y##i);
#define NC_HLX__STORE(bits, i)                                                                     \
    _mm##bits##_storeu_ps(c + i * ldc, x##i);                                                      \
    _mm##bits##_storeu_ps(c + i * ldc + bits / 32, y##i);
#define NC_HLX__MICRO(name, target, bits, rows)                                                    \
    target static void name(size_t k, nc_hlx__strided a, const float *b, float *c, size_t ldc,     \
                            int fresh) {                                                           \
        const size_t row = a.row, step = a.step;                                                   \
        const float *at = a.at;                                                                    \
        __m##bits u, v, w;                                                                         \
        size_t p;                                                                                  \
        NC_HLX__ROWS##rows(NC_HLX__ZERO, bits);                                                    \
        if (!fresh) {                                                                              \
            NC_HLX__ROWS##rows(NC_HLX__LOAD, bits);                                                \
        }                                                                                          \
        for (p = 0; p < k; p++, at += step, b += bits / 16) {                                      \
            u = _mm##bits##_loadu_ps(b);                                                           \
            v = _mm##bits##_loadu_ps(b + bits / 32);                                               \
            NC_HLX__ROWS##rows(NC_HLX__FMA, bits);                                                 \
        }                                                                                          \
        NC_HLX__ROWS##rows(NC_HLX__STORE, bits);                                                   \
    }
NC_HLX__MICRO(nc_hlx__micro_avx2, NC_HLX__AVX2, 256, 6)
NC_HLX__MICRO(nc_hlx__micro_avx512, NC_HLX__AVX512, 512, 8)
#undef NC_HLX__MICRO
#undef NC_HLX__ZERO
#undef NC_HLX__LOAD
#undef NC_HLX__FMA
#undef NC_HLX__STORE
#undef NC_HLX__ROWS6
#undef NC_HLX__ROWS8
#endif

#ifdef NC__NEON
/* 8 x 12: row i of the tile is the vectors xi, yi and zi, and its factor lane l of v. */
#define NC_HLX__ROWS8(X)                                                                           \
    X(0, s, 0) X(1, s, 1) X(2, s, 2) X(3, s, 3) X(4, t, 0) X(5, t, 1) X(6, t, 2) X(7, t, 3)
#define NC_HLX__ZERO(i, v, l) float32x4_t x##i = vdupq_n_f32(0.0f), y##i = x##i, z##i = x##i;
#define NC_HLX__LOAD(i, v, l)                                                                      \
    x##i = vld1q_f32(c + i * ldc);                                                                 \
    y##i = vld1q_f32(c + i * ldc + 4);                                                             \
    z##i = vld1q_f32(c + i * ldc + 8);
#define NC_HLX__FMA(i, v, l)                                                                       \
    x##i = vfmaq_laneq_f32(x##i, p, v, l);                                                         \
    y##i = vfmaq_laneq_f32(y##i, q, v, l);                                                         \
    z##i = vfmaq_laneq_f32(z##i, r, v, l);
#define NC_HLX__STORE(i, v, l)                                                                     \
    vst1q_f32(c + i * ldc, x##i);                                                                  \
    vst1q_f32(c + i * ldc + 4, y##i);                                                              \
    vst1q_f32(c + i * ldc + 8, z##i);
static void nc_hlx__micro_neon(size_t k, nc_hlx__strided packed, const float *b, float *c,
                               size_t ldc, int fresh) {
    const float *a = packed.at;
    NC_HLX__ROWS8(NC_HLX__ZERO)
    if (!fresh) {
        NC_HLX__ROWS8(NC_HLX__LOAD)
    }
    for (; k; k--, a += 8, b += 12) {
        const float32x4_t s = vld1q_f32(a), t = vld1q_f32(a + 4);
        const float32x4_t p = vld1q_f32(b), q = vld1q_f32(b + 4), r = vld1q_f32(b + 8);
        NC_HLX__ROWS8(NC_HLX__FMA)
    }
    NC_HLX__ROWS8(NC_HLX__STORE)
}
#undef NC_HLX__ZERO
#undef NC_HLX__LOAD
#undef NC_HLX__FMA
#undef NC_HLX__STORE
#undef NC_HLX__ROWS8
#endif

/* By nc_hlx_simd(). */
static const nc_hlx__micro nc_hlx__micros[] = {
    {4, 8, nc_hlx__micro_portable, 0},
#ifdef NC_HLX__X86
    {6, 16, nc_hlx__micro_avx2, 64},
    {NC_HLX__MR_MAX, NC_HLX__NR_MAX, nc_hlx__micro_avx512, SIZE_MAX},
#elif defined(NC__NEON)
    {8, 12, nc_hlx__micro_neon, 0},
    {8, 12, nc_hlx__micro_neon, 0},
#endif
};

/* Bring n values nearer that will be read soon: no processor foresees rows far apart. */
NC_HLX__INLINE void nc_hlx__prefetch(const float *x, size_t n) {
#if defined(__GNUC__)
    size_t i;
    for (i = 0; i < n; i += 16) __builtin_prefetch(x + i);
#else
    (void)x;
    (void)n;
#endif
}

/* width values, without a call of memcpy for the widths of the micro kernels. */
NC_HLX__INLINE void nc_hlx__copy_lanes(float *dst, const float *x, size_t width) {
    switch (width) {
    case 32: memcpy(dst, x, 32 * sizeof *dst); break;
    case 16: memcpy(dst, x, 16 * sizeof *dst); break;
    case 12: memcpy(dst, x, 12 * sizeof *dst); break;
    case 8: memcpy(dst, x, 8 * sizeof *dst); break;
    case 6: memcpy(dst, x, 6 * sizeof *dst); break;
    default: memcpy(dst, x, width * sizeof *dst);
    }
}

enum { NC_HLX__AHEAD = 16 }; /* rows that are prefetched before they are packed */

/* The lanes of panels are contiguous in x: k rows of them. Reads go along the rows of x. */
NC_HLX__INLINE void nc_hlx__pack_lanes(float *dst, const float *x, size_t ld, size_t lanes,
                                       size_t width, size_t k) {
    size_t p, left, i;
    for (p = 0; p < k; p++) {
        const float *from = x + p * ld;
        float *to = dst + p * width;
        if (p + NC_HLX__AHEAD < k) nc_hlx__prefetch(from + NC_HLX__AHEAD * ld, lanes);
        for (left = lanes; left >= width; left -= width, from += width, to += width * k)
            nc_hlx__copy_lanes(to, from, width);
        for (i = 0; left && i < width; i++) to[i] = i < left ? from[i] : 0.0f;
    }
}

#ifdef __has_builtin
#if __has_builtin(__builtin_shufflevector)
#define NC_HLX__SHUFFLES
typedef float nc_hlx__float4 __attribute__((vector_size(16)));
typedef double nc_hlx__double2 __attribute__((vector_size(16)));

/* dst[p * width + i] = x[i * ld + p] for 4 i and 4 p. */
NC_HLX__INLINE void nc_hlx__transpose4(float *dst, size_t width, const float *x, size_t ld) {
    nc_hlx__float4 a, b, c, d, e, f, g, h;
    memcpy(&a, x, sizeof a);
    memcpy(&b, x + ld, sizeof b);
    memcpy(&c, x + 2 * ld, sizeof c);
    memcpy(&d, x + 3 * ld, sizeof d);
    e = __builtin_shufflevector(a, b, 0, 4, 1, 5);
    f = __builtin_shufflevector(a, b, 2, 6, 3, 7);
    g = __builtin_shufflevector(c, d, 0, 4, 1, 5);
    h = __builtin_shufflevector(c, d, 2, 6, 3, 7);
    a = __builtin_shufflevector(e, g, 0, 1, 4, 5);
    b = __builtin_shufflevector(e, g, 2, 3, 6, 7);
    c = __builtin_shufflevector(f, h, 0, 1, 4, 5);
    d = __builtin_shufflevector(f, h, 2, 3, 6, 7);
    memcpy(dst, &a, sizeof a);
    memcpy(dst + width, &b, sizeof b);
    memcpy(dst + 2 * width, &c, sizeof c);
    memcpy(dst + 3 * width, &d, sizeof d);
}

/* The same for 2 i. */
NC_HLX__INLINE void nc_hlx__transpose2(float *dst, size_t width, const float *x, size_t ld) {
    nc_hlx__float4 a, b;
    nc_hlx__double2 c, d;
    memcpy(&a, x, sizeof a);
    memcpy(&b, x + ld, sizeof b);
    c = (nc_hlx__double2)__builtin_shufflevector(a, b, 0, 4, 1, 5);
    d = (nc_hlx__double2)__builtin_shufflevector(a, b, 2, 6, 3, 7);
    memcpy(dst, &c, 8);
    memcpy(dst + 2 * width, &d, 8);
    c = __builtin_shufflevector(c, c, 1, 1);
    d = __builtin_shufflevector(d, d, 1, 1);
    memcpy(dst + width, &c, 8);
    memcpy(dst + 3 * width, &d, 8);
}
#endif
#endif

/* One panel whose lanes are rows of x, `lanes` of them. */
NC_HLX__INLINE void nc_hlx__pack_rows(float *dst, const float *x, size_t ld, size_t lanes,
                                      size_t width, size_t k) {
    size_t i = 0, p;
#ifdef NC_HLX__SHUFFLES
    const size_t whole = k / 4 * 4;
    size_t j;
    for (; i + 2 <= lanes; i += i + 4 <= lanes ? 4 : 2) {
        const float *row = x + i * ld;
        for (p = 0; p < whole; p += 4) {
            for (j = 4; j < 8 && p % 16 == 0 && i + j < lanes; j++)
                nc_hlx__prefetch(row + j * ld + p, 1);
            if (i + 4 <= lanes)
                nc_hlx__transpose4(dst + p * width + i, width, row + p, ld);
            else
                nc_hlx__transpose2(dst + p * width + i, width, row + p, ld);
        }
        for (; p < k; p++) {
            dst[p * width + i] = row[p];
            dst[p * width + i + 1] = row[ld + p];
            if (i + 4 > lanes) continue;
            dst[p * width + i + 2] = row[2 * ld + p];
            dst[p * width + i + 3] = row[3 * ld + p];
        }
    }
#endif
    for (; i < width; i++)
        for (p = 0; p < k; p++) dst[p * width + i] = i < lanes ? x[i * ld + p] : 0.0f;
}

/* Panels of `width` lanes: dst[(panel k + p) width + i] = element (panel width + i, p) of op(X),
 * where lanes_contiguous says whether the lane index runs along the rows of the stored matrix;
 * missing lanes of the last panel are zero. */
NC_HLX__INLINE void nc_hlx__pack_body(float *dst, const float *x, size_t ld, int lanes_contiguous,
                                      size_t lanes, size_t width, size_t k) {
    size_t i;
    if (lanes_contiguous) {
        nc_hlx__pack_lanes(dst, x, ld, lanes, width, k);
        return;
    }
    for (i = 0; i < lanes; i += width)
        nc_hlx__pack_rows(dst + i * k, x + i * ld, ld, nc_hlx__min(lanes - i, width), width, k);
}
NC_HLX__TWO_VERSIONS(nc_hlx__pack,
                     (float *dst, const float *x, size_t ld, int lanes_contiguous, size_t lanes,
                      size_t width, size_t k),
                     (dst, x, ld, lanes_contiguous, lanes, width, k))

/* What is done to C after its last k block: + bias, + residual, and its activation beside it.
 * residual and activated have C's stride. */
typedef struct nc_hlx__epilogue {
    const float *bias, *residual;
    float *activated;
    uint32_t activation;
} nc_hlx__epilogue;

/* What is known of a product's matrices, so that tiles need not look everywhere. */
enum {
    NC_HLX__FULL,
    NC_HLX__LOWER_C, /* of C what is above the diagonal is not wanted */
    NC_HLX__LOWER_A, /* op(A) is +0 above the diagonal */
    NC_HLX__UPPER_A, /* op(A) is +0 below it */
    NC_HLX__ADDED    /* nothing, and the product is added to C */
};

typedef struct nc_hlx__gemm_job {
    nc_hlx__micro micro;
    int trans_a, trans_b, accumulate, shape;
    size_t m, n, k, lda, ldb, ldc;
    const float *a, *b;
    float *c, *work;
    size_t threads;
    nc_hlx__epilogue epilogue;
    float *sums; /* += the column sums of B, which is not transposed; null: none */
} nc_hlx__gemm_job;

/* c += bias, then += residual: rows with stride ld, without what is null. */
NC_HLX__INLINE void nc_hlx__finish_tile_body(float *c, const float *bias, const float *residual,
                                             size_t ld, size_t rows, size_t n) {
    size_t r, i;
    for (r = 0; r < rows; r++, c += ld) {
        if (bias) {
            NC_HLX__FREE
            for (i = 0; i < n; i++) c[i] = c[i] + bias[i];
        }
        if (residual) {
            NC_HLX__FREE
            for (i = 0; i < n; i++) c[i] = c[i] + residual[r * ld + i];
        }
    }
}
NC_HLX__TWO_VERSIONS(nc_hlx__finish_tile,
                     (float *c, const float *bias, const float *residual, size_t ld, size_t rows,
                      size_t n),
                     (c, bias, residual, ld, rows, n))

static void nc_hlx__finish(const nc_hlx__gemm_job *job, size_t row, size_t column, size_t rows,
                           size_t n) {
    const nc_hlx__epilogue *e = &job->epilogue;
    const size_t at = row * job->ldc + column;
    if (e->bias || e->residual)
        nc_hlx__finish_tile(job->c + at, e->bias ? e->bias + column : NULL,
                            e->residual ? e->residual + at : NULL, job->ldc, rows, n);
    if (e->activated)
        nc_hlx__activations[e->activation].value(e->activated + at, job->c + at, rows, job->ldc, n);
}

/* Rows and columns of C and a k block, and where A and B stand packed. */
typedef struct nc_hlx__gemm_block {
    const nc_hlx__gemm_job *job;
    float *pack_a, *pack_b;
    size_t rows;           /* of a task */
    int direct;            /* whole tiles of A are not packed */
    size_t j0, nc, pb, kb; /* the block of B: nc columns from j0, kb rows from pb */
    size_t p0, kc;         /* the k block in it */
} nc_hlx__gemm_block;

/* k block number i of the block of B, with its panels. */
static nc_hlx__gemm_block nc_hlx__k_block(const nc_hlx__gemm_block *block, size_t i) {
    const size_t nr = block->job->micro.nr;
    nc_hlx__gemm_block t = *block;
    t.p0 = t.pb + i * NC_HLX__KC;
    t.kc = nc_hlx__min(t.pb + t.kb - t.p0, NC_HLX__KC);
    t.pack_b += i * NC_HLX__KC * ((t.nc + nr - 1) / nr * nr);
    return t;
}

/* The steps of the k block that a tile of rows needs: from `begin` on, so many of them. A step
 * fma(0, x, c) leaves a sum c that begins at +0 alone, and so does leaving it out; what becomes -0
 * is looked after by the caller. */
static size_t nc_hlx__steps(const nc_hlx__gemm_block *t, size_t row, size_t *begin) {
    const nc_hlx__gemm_job *job = t->job;
    size_t end = t->p0 + t->kc;
    *begin = t->p0;
    if (job->shape == NC_HLX__LOWER_A) end = nc_hlx__min(end, row + job->micro.mr);
    if (job->shape == NC_HLX__UPPER_A && *begin < row) *begin = row;
    return *begin < end ? end - *begin : 0;
}

/* One tile at (row, column), through a copy when it hangs over C's edge. */
static void nc_hlx__tile(const nc_hlx__gemm_block *t, const float *packed, const float *b,
                         size_t row, size_t column) {
    const nc_hlx__gemm_job *job = t->job;
    const nc_hlx__micro *micro = &job->micro;
    float edge[NC_HLX__MR_MAX * NC_HLX__NR_MAX], *c = job->c + row * job->ldc + column;
    const size_t rows = nc_hlx__min(job->m - row, micro->mr);
    const size_t columns = nc_hlx__min(job->n - column, micro->nr);
    size_t begin, i;
    const size_t steps = nc_hlx__steps(t, row, &begin);
    nc_hlx__strided a;
    int fresh;
    if (steps == 0 || (job->shape == NC_HLX__LOWER_C && column >= row + rows)) return;
    fresh = begin == (job->shape == NC_HLX__UPPER_A ? row : 0) && !job->accumulate;
    if (t->direct && rows == micro->mr) {
        a.at = job->a + (job->trans_a ? begin * job->lda + row : row * job->lda + begin);
        a.row = job->trans_a ? 1 : job->lda;
        a.step = job->trans_a ? job->lda : 1;
    } else {
        a.at = packed + (begin - t->p0) * micro->mr;
        a.row = 1;
        a.step = micro->mr;
    }
    b += (begin - t->p0) * micro->nr;
    if (rows == micro->mr && columns == micro->nr) {
        for (i = 0; i < micro->mr && row + micro->mr + i < job->m; i++) /* the next tile */
            nc_hlx__prefetch(c + (micro->mr + i) * job->ldc, micro->nr);
        micro->fn(steps, a, b, c, job->ldc, fresh);
    } else {
        memset(edge, 0, sizeof edge);
        for (i = 0; i < rows && !fresh; i++)
            memcpy(edge + i * micro->nr, c + i * job->ldc, columns * sizeof *c);
        micro->fn(steps, a, b, edge, micro->nr, fresh);
        for (i = 0; i < rows; i++)
            memcpy(c + i * job->ldc, edge + i * micro->nr, columns * sizeof *c);
    }
}

enum {
    NC_HLX__PACK_B = NC_HLX__KC * (NC_HLX__NC + NC_HLX__NR_MAX),
    NC_HLX__PACK_A = NC_HLX__KC * NC_HLX__ROOM
};

/* A task: some columns of B, whole panels, packed for all. */
static void nc_hlx__pack_task(const void *block, size_t first, size_t count, size_t thread) {
    const nc_hlx__gemm_block *whole = (const nc_hlx__gemm_block *)block;
    const nc_hlx__gemm_job *job = whole->job;
    const size_t column = whole->j0 + first;
    size_t i;
    (void)thread;
    for (i = 0; i * NC_HLX__KC < whole->kb; i++) {
        const nc_hlx__gemm_block t = nc_hlx__k_block(whole, i);
        nc_hlx__pack(t.pack_b + first * t.kc,
                     job->b + (job->trans_b ? column * job->ldb + t.p0 : t.p0 * job->ldb + column),
                     job->ldb, !job->trans_b, count, job->micro.nr, t.kc);
        if (job->sums) /* now that it is near */
            nc_hlx__sum_columns(job->sums + column, job->b + t.p0 * job->ldb + column, t.kc,
                                job->ldb, count);
    }
}

/* Tiles of rows, packed; of a triangle only what is not known to be 0. */
static void nc_hlx__pack_a(const nc_hlx__gemm_block *t, float *a, size_t first, size_t count) {
    const nc_hlx__gemm_job *job = t->job;
    const size_t mr = job->micro.mr, lda = job->lda;
    const size_t step = job->shape == NC_HLX__LOWER_A || job->shape == NC_HLX__UPPER_A ? mr : count;
    size_t i, begin;
    for (i = 0; i < count; i += step) {
        const size_t row = first + i, k = nc_hlx__steps(t, row, &begin);
        nc_hlx__pack(a + i * t->kc + (begin - t->p0) * mr,
                     job->a + (job->trans_a ? begin * lda + row : row * lda + begin), lda,
                     job->trans_a, nc_hlx__min(count - i, step), mr, step == mr ? k : t->kc);
    }
}

/* A part of a matrix that will soon be read, to be brought nearer line by line. */
typedef struct nc_hlx__ahead {
    const float *at;
    size_t ld, rows, width, row, column;
} nc_hlx__ahead;

/* Rows first .. first + count - 1 of A in k block number i, or behind the last one what this thread
 * is likely to take next. */
static nc_hlx__ahead nc_hlx__ahead_of(const nc_hlx__gemm_block *whole, size_t i, size_t first,
                                      size_t count) {
    const nc_hlx__gemm_job *job = whole->job;
    nc_hlx__ahead x;
    size_t k = whole->pb + i * NC_HLX__KC, kc;
    memset(&x, 0, sizeof x);
    if (i * NC_HLX__KC >= whole->kb) {
        k = whole->pb;
        first += job->threads * whole->rows;
    }
    if (first >= job->m) return x;
    count = nc_hlx__min(count, job->m - first);
    kc = nc_hlx__min(whole->pb + whole->kb - k, NC_HLX__KC);
    x.at = job->a + (job->trans_a ? k * job->lda + first : first * job->lda + k);
    x.ld = job->lda;
    x.rows = job->trans_a ? kc : count;
    x.width = job->trans_a ? count : kc;
    return x;
}

static void nc_hlx__bring(nc_hlx__ahead *x, size_t lines) {
    for (; lines && x->row < x->rows; lines--) {
        nc_hlx__prefetch(x->at + x->row * x->ld + x->column, 1);
        x->column += 16;
        if (x->column < x->width) continue;
        x->column = 0;
        x->row++;
    }
}

/* All tiles of some rows of A, packed or not, against the block of B. Packed rows stay in the
 * second cache and a panel of B in the first; rows that are not packed are read once and then stay
 * in the first, while panels of B pass by. */
static void nc_hlx__tiles(const nc_hlx__gemm_block *t, const float *a, size_t first, size_t count,
                          nc_hlx__ahead *ahead) {
    const size_t mr = t->job->micro.mr, nr = t->job->micro.nr;
    const size_t tiles = (count + mr - 1) / mr * ((t->nc + nr - 1) / nr);
    const size_t lines = ahead->rows * (ahead->width / 16 + 1) / tiles + 1;
    size_t g, i, j;
    for (j = 0; j < t->nc && !t->direct; j += nr)
        for (i = 0; i < count; i += mr) {
            nc_hlx__bring(ahead, lines);
            nc_hlx__tile(t, a + i * t->kc, t->pack_b + j * t->kc, first + i, t->j0 + j);
        }
    for (g = 0; g < t->nc && t->direct; g += NC_HLX__GROUP)
        for (i = 0; i < count; i += mr)
            for (j = g; j < nc_hlx__min(g + NC_HLX__GROUP, t->nc); j += nr) {
                nc_hlx__bring(ahead, lines);
                nc_hlx__tile(t, a + i * t->kc, t->pack_b + j * t->kc, first + i, t->j0 + j);
            }
}

/* A task: some rows of A against the block of B; k blocks ascend. Tiles that hang over the edge of
 * A are packed in any case, for this thread alone. */
static void nc_hlx__rows_task(const void *block, size_t first, size_t count, size_t thread) {
    const nc_hlx__gemm_block *whole = (const nc_hlx__gemm_block *)block;
    const nc_hlx__gemm_job *job = whole->job;
    const size_t mr = job->micro.mr;
    const size_t as_it_is = whole->direct ? count / mr * mr : 0;
    size_t p, i;
    for (p = 0; p * NC_HLX__KC < whole->kb; p++) {
        const nc_hlx__gemm_block t = nc_hlx__k_block(whole, p);
        nc_hlx__ahead ahead = nc_hlx__ahead_of(whole, p + 1, first, count);
        float *a = t.pack_a + thread * t.rows * NC_HLX__KC;
        nc_hlx__pack_a(&t, a + as_it_is * t.kc, first + as_it_is, count - as_it_is);
        nc_hlx__tiles(&t, a, first, count, &ahead);
    }
    for (i = first; i < first + count && whole->pb + whole->kb == job->k; i++)
        nc_hlx__finish(job, i, whole->j0, 1, whole->nc);
}

/* For every block of B: threads pack it, and then share the rows of A. A block that is narrower and
 * longer spares ways of C between the caches, one that is wider spares packing of A. */
static void nc_hlx__gemm_run(void *argument) {
    const nc_hlx__gemm_job *job = (const nc_hlx__gemm_job *)argument;
    size_t threads = job->threads;
    const size_t mr = job->micro.mr, nr = job->micro.nr;
    const size_t widest = job->k > NC_HLX__KC ? NC_HLX__NC / 2 : NC_HLX__NC;
    nc_hlx__gemm_block t;
    memset(&t, 0, sizeof t);
    t.job = job;
    t.pack_b = job->work;
    t.pack_a = job->work + NC_HLX__PACK_B;
    t.direct = job->n <= job->micro.direct;
    t.rows = NC_HLX__MC;
    if (threads > 1) t.rows = nc_hlx__min(t.rows, job->m / (3 * threads) + 1);
    t.rows = nc_hlx__min(t.rows, NC_HLX__ROOM / threads); /* room for the rows of every thread */
    t.rows = t.rows < mr ? mr : t.rows / mr * mr;
    threads = nc_hlx__min(threads, NC_HLX__ROOM / t.rows);
    for (t.j0 = 0; t.j0 < job->n; t.j0 += widest) {
        size_t longest;
        t.nc = nc_hlx__min(job->n - t.j0, widest);
        longest = NC_HLX__PACK_B / ((t.nc + nr - 1) / nr * nr) / NC_HLX__KC * NC_HLX__KC;
        for (t.pb = 0; t.pb < job->k; t.pb += longest) {
            t.kb = nc_hlx__min(job->k - t.pb, longest);
            nc_hlx__split_over(threads, nc_hlx__pack_task, &t, t.nc, (64 + nr - 1) / nr * nr);
            nc_hlx__split_over(threads, nc_hlx__rows_task, &t, job->m, t.rows);
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
        for (p = 0; p < k; p++) {
            const float w = a[p], *row = b + p * ldb;
            NC_HLX__FREE
            for (j = j0; j < end; j++) c[j] = NC__FMAF(w, row[j], c[j]);
        }
    }
}
NC_HLX__VERSIONS(nc_hlx__gemv,
                 (float *c, const float *a, const float *b, size_t ldb, size_t k, size_t n),
                 (c, a, b, ldb, k, n))

/* One row goes through gemv; the rest in tiles that threads share by columns and rows. How it is
 * cut has no influence on the bits: every element is one chain over k. */
static nc_status nc_hlx__gemm(nc_hlx__gemm_job *job, void *work, size_t work_bytes) {
    size_t i;
    if (job->m == 0 || job->n == 0) return NC_OK;
    if (!job->c || !work || work_bytes < nc_hlx_gemm_work_bytes() ||
        (job->k && (!job->a || !job->b)))
        return NC_ERR_ARG;
    if (job->lda < (job->trans_a ? job->m : job->k) ||
        job->ldb < (job->trans_b ? job->k : job->n) || job->ldc < job->n)
        return NC_ERR_ARG;
    job->work = (float *)(void *)((char *)work + (64 - (uintptr_t)work % 64) % 64);
    /* a small product is done before others have woken up */
    job->threads = (double)job->m * (double)job->n * (double)job->k < 65536.0 ? 1 : nc_hlx__hands();
    job->micro = nc_hlx__micros[nc_hlx_simd()];
    if (job->k == 0 || (job->m == 1 && !job->trans_a && !job->trans_b)) {
        for (i = 0; i < job->m && !job->accumulate; i++)
            memset(job->c + i * job->ldc, 0, job->n * sizeof(float));
        if (job->k) nc_hlx__gemv(job->c, job->a, job->b, job->ldb, job->k, job->n);
        nc_hlx__finish(job, 0, 0, job->m, job->n);
        return NC_OK;
    }
    if (job->threads > 1)
        nc_hlx__together(nc_hlx__gemm_run, job);
    else
        nc_hlx__gemm_run(job);
    return NC_OK;
}

static nc_hlx__gemm_job nc_hlx__gemm_of(int trans_a, int trans_b, size_t m, size_t n, size_t k,
                                        const float *a, size_t lda, const float *b, size_t ldb,
                                        float *c, size_t ldc) {
    nc_hlx__gemm_job job;
    memset(&job, 0, sizeof job);
    job.trans_a = trans_a;
    job.trans_b = trans_b;
    job.m = m;
    job.n = n;
    job.k = k;
    job.lda = lda;
    job.ldb = ldb;
    job.ldc = ldc;
    job.a = a;
    job.b = b;
    job.c = c;
    return job;
}

NC_API nc_status nc_hlx_gemm(int trans_a, int trans_b, size_t m, size_t n, size_t k, const float *a,
                             size_t lda, const float *b, size_t ldb, float *c, size_t ldc,
                             int accumulate, void *work, size_t work_bytes) {
    nc_hlx__gemm_job job = nc_hlx__gemm_of(trans_a, trans_b, m, n, k, a, lda, b, ldb, c, ldc);
    job.accumulate = accumulate;
    return nc_hlx__gemm(&job, work, work_bytes);
}

NC_API nc_status nc_hlx_linear(float *out, float *activated, uint32_t activation, const float *x,
                               const float *w, const float *bias, const float *residual,
                               size_t rows, size_t k, size_t n, void *work, size_t work_bytes) {
    nc_hlx__gemm_job job = nc_hlx__gemm_of(0, 0, rows, n, k, x, k, w, n, out, n);
    if (activation >= NC_HLX_ACTIVATIONS) return NC_ERR_ARG;
    job.epilogue.bias = bias;
    job.epilogue.residual = residual;
    job.epilogue.activated = activated;
    job.epilogue.activation = activation;
    return nc_hlx__gemm(&job, work, work_bytes);
}

/* >>attention ====================================================================== */

/* Keys (and queries) of a flash tile. */
enum { NC_HLX__TILE = 32 };

/* Scratch of one thread: gemm's, then a seq x seq block, or two tiles and a number a query. */
static size_t nc_hlx__head_work_bytes(const nc_hlx_heads *s, int flash) {
    size_t square = nc__mul_size(s->seq, s->seq);
    size_t tiles = 2 * NC_HLX__TILE * NC_HLX__TILE + s->seq;
    size_t block = nc__mul_size(flash ? tiles : square, sizeof(float));
    return nc__add_size(block, nc_hlx_gemm_work_bytes() + 127) & ~(size_t)63;
}

NC_API size_t nc_hlx_attention_work_bytes(const nc_hlx_heads *shape, int flash, uint32_t threads) {
    return nc__mul_size(nc_hlx__head_work_bytes(shape, flash), threads ? threads : 1);
}

/* One head of one window: its operands, strides and scratch. */
typedef struct nc_hlx__head {
    const nc_hlx_heads *shape;
    const float *q;          /* in rows of ldq values */
    const float *k, *v;      /* in rows of ldk values */
    size_t ldq, ldk;         /* equal but where keys stand in a cache */
    size_t d, offset, index; /* offset in rows of d; index of the (window, head) */
    int later;               /* its keys have been those of another head */
    float scale, *block;
    char *gemm;
} nc_hlx__head;

/* A thread's block behind its gemm scratch. */
static float *nc_hlx__head_block(char *gemm) {
    return (float *)(void *)(gemm + ((nc_hlx_gemm_work_bytes() + 63) & ~(size_t)63));
}

typedef struct nc_hlx__attention_job {
    const nc_hlx_heads *shape;
    const float *qkv, *dout, *kept, *out; /* kept: probabilities or lse */
    float *to, *keep;                     /* out or dqkv; probabilities or lse */
    char *work;
    int flash;
    void (*fn)(const nc_hlx__head *head, const struct nc_hlx__attention_job *job);
} nc_hlx__attention_job;

/* Heads that have keys and values, and the width of rows of Q, K and V. */
static size_t nc_hlx__kv_heads(const nc_hlx_heads *s) {
    return s->kv_heads ? s->kv_heads : s->heads;
}

static size_t nc_hlx__qkv_width(const nc_hlx_heads *s) {
    return (s->heads + 2 * nc_hlx__kv_heads(s)) * s->head_size;
}

/* Heads first .. first + count - 1. */
static void nc_hlx__heads_task(const void *heads, size_t first, size_t count, size_t thread) {
    const nc_hlx__attention_job *job = (const nc_hlx__attention_job *)heads;
    const nc_hlx_heads *s = job->shape;
    const size_t shared = nc_hlx__kv_heads(s), group = s->heads / shared;
    nc_hlx__head head;
    size_t i;
    memset(&head, 0, sizeof head);
    head.shape = s;
    head.d = s->heads * s->head_size;
    head.ldq = head.ldk = nc_hlx__qkv_width(s);
    head.scale = 1.0f / sqrtf((float)s->head_size);
    head.gemm = job->work + thread * nc_hlx__head_work_bytes(s, job->flash);
    head.block = nc_hlx__head_block(head.gemm);
    for (i = first; i < first + count; i++) {
        const size_t row = i / s->heads * s->seq, h = i % s->heads;
        head.index = i;
        head.later = h % group != 0;
        head.offset = row * head.d + h * s->head_size;
        head.q = job->qkv + row * head.ldq + h * s->head_size;
        head.k = job->qkv + row * head.ldk + head.d + h / group * s->head_size;
        head.v = head.k + shared * s->head_size;
        job->fn(&head, job);
    }
}

/* Run job.fn for every head, split over the threads that work has room for: backward, heads that
 * share keys go one after the other. */
static nc_status nc_hlx__all_heads(nc_hlx__attention_job *job, void *work, size_t work_bytes) {
    const nc_hlx_heads *s = job->shape;
    size_t stride;
    if (!s || !job->to || !job->qkv || !work || s->batch == 0 || s->seq == 0 || s->heads == 0 ||
        s->head_size == 0 || s->heads % nc_hlx__kv_heads(s))
        return NC_ERR_ARG;
    stride = nc_hlx__head_work_bytes(s, job->flash);
    if (work_bytes < stride) return NC_ERR_ARG;
    job->work = (char *)work;
    nc_hlx__split_over(work_bytes / stride, nc_hlx__heads_task, job, s->batch * s->heads,
                       job->dout ? s->heads / nc_hlx__kv_heads(s) : 1);
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
                              size_t ldb, float *c, size_t ldc, int shape) {
    nc_hlx__gemm_job job = nc_hlx__gemm_of(trans_a, trans_b, m, n, k, a, lda, b, ldb, c, ldc);
    job.accumulate = shape == NC_HLX__ADDED;
    job.shape = shape;
    (void)nc_hlx__gemm(&job, head->gemm, nc_hlx_gemm_work_bytes());
}

/* out (t x hd) = P (t x t) X, X in rows of keys: chains over all keys. Behind the diagonal P is
 * +0, and a step fma(0, x, c) changes nothing but a c of -0, so a causal product leaves those steps
 * out and only the sums that are -0 then go on. */
static void nc_hlx__causal_product(const nc_hlx__head *head, const float *p, const float *x,
                                   float *out, size_t ldo) {
    const size_t t = head->shape->seq, hd = head->shape->head_size, ldx = head->ldk;
    size_t i, j, k;
    nc_hlx__head_gemm(head, 0, 0, t, hd, t, p, t, x, ldx, out, ldo,
                      head->shape->causal ? NC_HLX__LOWER_A : NC_HLX__FULL);
    for (i = 0; i < t && head->shape->causal; i++, out += ldo) {
        unsigned zeros = 0;
        for (j = 0; j < hd; j++) zeros |= nc_hlx__bits(out[j]) == UINT32_C(0x80000000);
        for (j = 0; j < hd && zeros; j++)
            for (k = i + 1; k < t && nc_hlx__bits(out[j]) == UINT32_C(0x80000000); k++)
                out[j] = NC__FMAF(p[i * t + k], x[k * ldx + j], out[j]);
    }
}

/* s (t x t) = A B^T, rows of A and B hd wide; a causal product leaves out keys behind the query. */
static void nc_hlx__causal_scores(const nc_hlx__head *head, const float *a, size_t lda,
                                  const float *b, size_t ldb, float *s) {
    const size_t t = head->shape->seq, hd = head->shape->head_size;
    nc_hlx__head_gemm(head, 0, 1, t, t, hd, a, lda, b, ldb, s, t,
                      head->shape->causal ? NC_HLX__LOWER_C : NC_HLX__FULL);
}

/* out (t x hd) = P^T (t x t) X, or += for later heads: chains over ascending queries. Before the
 * diagonal P is +0 and leaves a sum that begins at +0 alone, so a causal product begins at the
 * key's own query. */
static void nc_hlx__causal_transposed(const nc_hlx__head *head, const float *p, const float *x,
                                      size_t ldx, float *out, size_t ldo) {
    const size_t t = head->shape->seq, hd = head->shape->head_size;
    nc_hlx__head_gemm(head, 1, 0, t, hd, t, p, t, x, ldx, out, ldo,
                      head->later           ? NC_HLX__ADDED
                      : head->shape->causal ? NC_HLX__UPPER_A
                                            : NC_HLX__FULL);
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
    nc_hlx__causal_scores(head, head->q, head->ldq, head->k, head->ldk, att);
    nc_hlx__scale_rows(head, att);
    nc_hlx_softmax(att, t, t, head->shape->causal);
    nc_hlx__causal_product(head, att, head->v, job->to + head->offset, d);
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
    float *dq = job->to + (head->q - job->qkv), *dk = job->to + (head->k - job->qkv);
    float *dv = job->to + (head->v - job->qkv), *ds = head->block;
    nc_hlx__causal_transposed(head, att, dout, d, dv, head->ldk);
    nc_hlx__causal_scores(head, dout, d, head->v, head->ldk, ds);
    nc_hlx_softmax_backward(ds, att, t, t, head->shape->causal);
    nc_hlx__scale_rows(head, ds);
    nc_hlx__causal_product(head, ds, head->k, dq, head->ldq);
    nc_hlx__causal_transposed(head, ds, head->q, head->ldq, dk, head->ldk);
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
    float p[NC_HLX__LANES], q[NC_HLX__LANES], lane[NC_HLX__BLOCK], most;
    int j;
    for (j = 0; j < NC_HLX__LANES; j++) p[j] = s[j] * scale;
    for (j = 0; j < NC_HLX__LANES; j++) q[j] = (size_t)j < kept ? p[j] : p[0];
    for (j = 0; j < NC_HLX__BLOCK; j++) {
        const float v = q[j], w = q[j + NC_HLX__BLOCK];
        lane[j] = v > q[0] ? v : q[0];
        lane[j] = w > lane[j] ? w : lane[j];
    }
    most = nc_hlx__max(lane); /* of the first `kept` */
    if (!first && *m > most) most = *m;
    *c = first ? 0.0f : nc_hlx__exp1(*m - most);
    for (j = 0; j < NC_HLX__LANES; j++) {
        float e = nc_hlx__exp1(p[j] - most);
        p[j] = (size_t)j < kept ? e : 0.0f;
    }
    memcpy(s, p, sizeof p);
    *l = NC__FMAF(first ? 0.0f : *l, *c, nc_hlx__tree_body(p));
    *m = most;
}
NC_HLX__VERSIONS(nc_hlx__flash_row,
                 (float *s, size_t kept, float scale, int first, float *m, float *l, float *c),
                 (s, kept, scale, first, m, l, c))

/* Visible keys of a tile at k0 for query i. */
static size_t nc_hlx__visible(const nc_hlx_heads *s, size_t i, size_t k0, size_t keys) {
    return s->causal ? nc_hlx__min(keys, i + 1 - k0) : keys;
}

/* Queries q0 .. q0 + n - 1 of one tile, at whose rows q, out and lse (may be null) begin. */
static void nc_hlx__flash_queries(const nc_hlx__head *head, const float *q, float *out, float *lse,
                                  size_t q0, size_t n) {
    const nc_hlx_heads *shape = head->shape;
    const size_t t = shape->seq, hd = shape->head_size, d = head->d;
    const size_t limit = shape->causal ? q0 + n : t;
    float *s = head->block, m[NC_HLX__TILE] = {0}, l[NC_HLX__TILE] = {0}, c;
    size_t k0, i, j;
    for (k0 = 0; k0 < limit; k0 += NC_HLX__TILE) {
        const size_t keys = nc_hlx__min(t - k0, NC_HLX__TILE);
        memset(s, 0, NC_HLX__TILE * NC_HLX__TILE * sizeof *s);
        nc_hlx__head_gemm(head, 0, 1, n, keys, hd, q, head->ldq, head->k + k0 * head->ldk,
                          head->ldk, s, NC_HLX__TILE, NC_HLX__FULL);
        for (i = 0; i < n; i++) {
            float *o = out + i * d;
            nc_hlx__flash_row(s + i * NC_HLX__TILE, nc_hlx__visible(shape, q0 + i, k0, keys),
                              head->scale, k0 == 0, &m[i], &l[i], &c);
            for (j = 0; j < hd; j++) o[j] = k0 ? o[j] * c : 0.0f;
        }
        nc_hlx__head_gemm(head, 0, 0, n, hd, keys, s, NC_HLX__TILE, head->v + k0 * head->ldk,
                          head->ldk, out, d, NC_HLX__ADDED);
    }
    for (i = 0; i < n; i++) {
        float *o = out + i * d;
        for (j = 0; j < hd; j++) o[j] = o[j] / l[i];
        if (lse) lse[i] = m[i] + nc_hlx__log1(l[i]);
    }
}

static void nc_hlx__flash_head(const nc_hlx__head *head, const nc_hlx__attention_job *job) {
    const size_t t = head->shape->seq;
    size_t q0;
    for (q0 = 0; q0 < t; q0 += NC_HLX__TILE)
        nc_hlx__flash_queries(head, head->q + q0 * head->ldq, job->to + head->offset + q0 * head->d,
                              job->keep + head->index * t + q0, q0,
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
    const size_t ldq = head->ldq, ldk = head->ldk;
    float *dq = job->to + (head->q - job->qkv), *s = head->block;
    float *dk = job->to + (head->k - job->qkv), *dv = job->to + (head->v - job->qkv);
    float *dp = s + NC_HLX__TILE * NC_HLX__TILE, *delta = dp + NC_HLX__TILE * NC_HLX__TILE;
    size_t q0, k0, i;
    for (i = 0; i < t; i++) {
        delta[i] = nc_hlx_dot(dout + i * d, out + i * d, hd);
        memset(dq + i * ldq, 0, hd * sizeof *dq);
        if (head->later) continue;
        memset(dk + i * ldk, 0, hd * sizeof *dk);
        memset(dv + i * ldk, 0, hd * sizeof *dv);
    }
    for (k0 = 0; k0 < t; k0 += NC_HLX__TILE)
        for (q0 = shape->causal ? k0 : 0; q0 < t; q0 += NC_HLX__TILE) {
            const size_t keys = nc_hlx__min(t - k0, NC_HLX__TILE);
            const size_t n = nc_hlx__min(t - q0, NC_HLX__TILE);
            const float *q = head->q + q0 * ldq, *k = head->k + k0 * ldk;
            memset(s, 0, 2 * NC_HLX__TILE * NC_HLX__TILE * sizeof *s);
            nc_hlx__head_gemm(head, 0, 1, n, keys, hd, q, ldq, k, ldk, s, NC_HLX__TILE,
                              NC_HLX__FULL);
            nc_hlx__head_gemm(head, 0, 1, n, keys, hd, dout + q0 * d, d, head->v + k0 * ldk, ldk,
                              dp, NC_HLX__TILE, NC_HLX__FULL);
            for (i = 0; i < n; i++)
                nc_hlx__flash_dx(s + i * NC_HLX__TILE, dp + i * NC_HLX__TILE,
                                 nc_hlx__visible(shape, q0 + i, k0, keys), head->scale, lse[q0 + i],
                                 delta[q0 + i]);
            nc_hlx__head_gemm(head, 1, 0, keys, hd, n, s, NC_HLX__TILE, dout + q0 * d, d,
                              dv + k0 * ldk, ldk, NC_HLX__ADDED);
            nc_hlx__head_gemm(head, 1, 0, keys, hd, n, dp, NC_HLX__TILE, q, ldq, dk + k0 * ldk, ldk,
                              NC_HLX__ADDED);
            nc_hlx__head_gemm(head, 0, 0, n, hd, keys, dp, NC_HLX__TILE, k, ldk, dq + q0 * ldq, ldq,
                              NC_HLX__ADDED);
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

/* -- some queries -- */

/* Queries q0 .. q0 + n - 1 of one tile over the keys up to each, with the bits that they have in
 * the whole window: head->shape is of q0 + n keys; head->q and out begin at query q0. */
static void nc_hlx__attend_queries(const nc_hlx__head *head, float *out, size_t q0, size_t n,
                                   int flash) {
    const size_t hd = head->shape->head_size, d = head->d;
    float *scores = head->block;
    size_t i, j;
    if (flash) {
        nc_hlx__flash_queries(head, head->q, out, NULL, q0, n);
        return;
    }
    for (i = 0; i < n; i++) {
        const size_t keys = q0 + i + 1;
        nc_hlx__head_gemm(head, 0, 1, 1, keys, hd, head->q + i * head->ldq, head->ldq, head->k,
                          head->ldk, scores, keys, NC_HLX__FULL);
        for (j = 0; j < keys; j++) scores[j] = scores[j] * head->scale;
        nc_hlx_softmax(scores, 1, keys, 0);
        nc_hlx__head_gemm(head, 0, 0, 1, hd, keys, scores, keys, head->v, head->ldk, out + i * d, d,
                          NC_HLX__FULL);
    }
}

/* >>optimiser ====================================================================== */

/* (1 + cos(pi x)) / 2 for 0 <= x <= 1 in float64 by its Taylor series around 1/2, where it is
 * (1 - sin(pi (x - 1/2))) / 2; the error stays below 3e-8, and no libm function is used. */
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

static int nc_hlx__finite(float x) { return x - x == 0.0f; }

NC_API nc_status nc_hlx_adamw_check(const nc_hlx_adamw *adamw, nc_error *err) {
    static const char *const names[] = {"lr",  "lr_min",       "beta1",    "beta2",
                                        "eps", "weight_decay", "clip_norm"};
    float values[7];
    size_t i;
    nc__clear(err);
    if (!adamw) return NC_OK;
    memcpy(values, adamw, sizeof values);
    for (i = 0; i < 7; i++) {
        const int below_1 = i == 2 || i == 3;
        if (!nc_hlx__finite(values[i]) || values[i] < 0.0f || (below_1 && values[i] >= 1.0f))
            return nc__fail(err, NC_ERR_ARG, 0, 0, "%s is %g: give a number from 0 up%s", names[i],
                            (double)values[i], below_1 ? " and below 1" : "");
    }
    return NC_OK;
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

/* What a step of AdamW takes besides gradients, in the order of cuda/adam.cu. */
typedef struct nc_hlx__adam {
    float lr, beta1, beta2, eps, rest1, rest2, correct1, correct2;
} nc_hlx__adam;

/* b^n in float64 by repeated squaring: multiplications only, so the same everywhere. */
static double nc_hlx__power(double b, uint64_t n) {
    double result = 1.0;
    for (; n; n >>= 1) {
        if (n & 1) result = result * b;
        b = b * b;
    }
    return result;
}

static nc_hlx__adam nc_hlx__adam_of(const nc_hlx_adamw *adamw, uint64_t step) {
    nc_hlx_adamw a = nc_hlx__adamw_defaults(adamw);
    nc_hlx__adam s;
    s.lr = nc_hlx_learning_rate(&a, step);
    s.beta1 = a.beta1;
    s.beta2 = a.beta2;
    s.eps = a.eps;
    s.rest1 = 1.0f - a.beta1;
    s.rest2 = 1.0f - a.beta2;
    s.correct1 = (float)(1.0 - nc_hlx__power((double)a.beta1, step));
    s.correct2 = (float)(1.0 - nc_hlx__power((double)a.beta2, step));
    return s;
}

/* x[i] = sqrt(x[i]). With intrinsics, because sqrtf may set errno, which keeps clang from vector
 * code; the root is correctly rounded everywhere. */
#ifdef NC_HLX__X86
NC_HLX__AVX2 static size_t nc_hlx__roots_avx2(float *x, size_t n) {
    size_t i;
    for (i = 0; i + 8 <= n; i += 8) _mm256_storeu_ps(x + i, _mm256_sqrt_ps(_mm256_loadu_ps(x + i)));
    return i;
}
#endif
static void nc_hlx__roots(float *x, size_t n) {
    size_t i = 0;
#ifdef NC_HLX__X86
    if (nc_hlx_simd()) i = nc_hlx__roots_avx2(x, n);
#endif
    for (; i < n; i++) x[i] = sqrtf(x[i]);
}

/* m <- b1 m + (1-b1) g, v <- b2 v + (1-b2) g^2, p <- p - lr (mh / (sqrt(vh) + eps) + decay p),
 * before and after the root. */
NC_HLX__INLINE void nc_hlx__moments_body(float *root, const float *g, float *m, float *v,
                                         const nc_hlx__adam *step, float scale, size_t n) {
    const nc_hlx__adam s = *step; /* the compiler sees that no array changes it */
    size_t i;
    NC_HLX__FREE
    for (i = 0; i < n; i++) {
        float grad = g[i] * scale, square = NC__FMAF(s.beta2, v[i], s.rest2 * grad * grad);
        m[i] = NC__FMAF(s.beta1, m[i], s.rest1 * grad);
        v[i] = square;
        root[i] = square / s.correct2;
    }
}
NC_HLX__TWO_VERSIONS(nc_hlx__moments,
                     (float *root, const float *g, float *m, float *v, const nc_hlx__adam *step,
                      float scale, size_t n),
                     (root, g, m, v, step, scale, n))

NC_HLX__INLINE void nc_hlx__move_body(float *p, const float *m, const float *root,
                                      const nc_hlx__adam *step, float decay, size_t n) {
    const nc_hlx__adam s = *step;
    size_t i;
    NC_HLX__FREE
    for (i = 0; i < n; i++) {
        float move = (m[i] / s.correct1) / (root[i] + s.eps);
        p[i] = NC__FMAF(-s.lr, NC__FMAF(decay, p[i], move), p[i]);
    }
}
NC_HLX__TWO_VERSIONS(nc_hlx__move,
                     (float *p, const float *m, const float *root, const nc_hlx__adam *step,
                      float decay, size_t n),
                     (p, m, root, step, decay, n))

/* One piece, in blocks that stay in the first cache. */
static void nc_hlx__adamw_piece(float *p, const float *g, float *m, float *v, size_t n,
                                const nc_hlx__adam *s, float scale, float decay) {
    float root[512];
    size_t at;
    for (at = 0; at < n; at += 512) {
        const size_t count = nc_hlx__min(n - at, 512);
        nc_hlx__moments(root, g + at, m + at, v + at, s, scale, count);
        nc_hlx__roots(root, count);
        nc_hlx__move(p + at, m + at, root, s, decay, count);
    }
}

NC_HLX__TASK(nc_hlx__adamw_all, float *p; const float *g; float *m; float *v; nc_hlx__adam step;
             float scale; float decay;
             , nc_hlx__adamw_piece(j.p + first, j.g + first, j.m + first, j.v + first, count,
                                   &j.step, j.scale, j.decay))

NC_API void nc_hlx_adamw_update(float *p, const float *g, float *m, float *v, size_t n,
                                const nc_hlx_adamw *adamw, uint64_t step, float scale) {
    const nc_hlx__adamw_all_job j = {p,
                                     g,
                                     m,
                                     v,
                                     nc_hlx__adam_of(adamw, step),
                                     scale,
                                     nc_hlx__adamw_defaults(adamw).weight_decay};
    nc_hlx__split(nc_hlx__adamw_all, &j, n, NC_HLX__PIECE);
}

/* out = a + b, and out = 0. */
NC_HLX__TASK(nc_hlx__add_all, float *out; const float *a; const float *b;
             , nc_hlx__add(j.out + first, j.a + first, j.b + first, count))
NC_HLX__TASK(nc_hlx__zero_all, float *out;, memset(j.out + first, 0, count * sizeof *j.out))

#if defined(__clang__)
#pragma clang diagnostic pop
#elif defined(__GNUC__)
#pragma GCC pop_options /* what follows calls the kernels, but for nc_hlx__int8_panel */
#endif

/* >>tokenizer ====================================================================== */

enum {
    NC_HLX__WORD = 64,           /* most bytes of a word of NC_HLX_PATTERN_WORDS */
    NC_HLX__TRAINED_PIECE = 256, /* longer pieces are cut where merges are learned */
    NC_HLX__BPE_LIMIT = 65536,   /* tokens of a tokenizer that is learned here */
    NC_HLX__IDS = 1 << 20
};

/* -- classes of characters --------------------------------------------------------- */

/* Bits of a character; one that is not valid UTF-8 has none. */
enum {
    NC_HLX__UPPER = 1, /* Lu Lt Lm Lo M */
    NC_HLX__LOWER = 2, /* Ll Lm Lo M */
    NC_HLX__LETTER = 4,
    NC_HLX__MARK = 8,
    NC_HLX__NUMBER = 16,
    NC_HLX__SPACE = 32, /* White_Space */
    NC_HLX__LINE = 64,  /* CR, LF */
    NC_HLX__SIGN = 128  /* P, S */
};

/* Unicode 16.0.0 in runs of length * 8 + class, from U+0000; made by tests/golden_unicode.py, which
 * has the classes. */
/* clang-format off */
static const uint16_t nc_hlx__unicode[] = {
    264, 127, 85, 63, 209, 55, 210, 39, 272, 79, 11, 23, 8, 39, 21, 15, 10, 31, 13, 11, 15, 29, 15,
    185, 15, 57, 194, 15, 66, 454, 10, 134, 10, 382, 54, 18, 17, 10, 9, 10, 17, 10, 25, 18, 33, 10,
    17, 10, 25, 26, 17, 10, 17, 10, 46, 38, 10, 9, 10, 17, 10, 25, 10, 9, 10, 17, 18, 11, 9, 26,
    35, 17, 10, 17, 10, 17, 10, 134, 10, 150, 10, 17, 10, 9, 10, 25, 10, 470, 50, 17, 10, 17, 18,
    9, 10, 33, 10, 70, 546, 11, 218, 147, 39, 99, 119, 43, 63, 11, 15, 11, 143, 900, 38, 11, 15, 9,
    10, 16, 11, 26, 15, 9, 32, 23, 9, 15, 25, 8, 9, 8, 17, 10, 137, 8, 73, 282, 9, 18, 25, 26, 198,
    34, 9, 10, 15, 9, 10, 17, 18, 409, 386, 278, 15, 60, 446, 118, 10, 774, 8, 305, 16, 11, 55,
    330, 23, 16, 31, 8, 364, 15, 12, 15, 20, 15, 20, 15, 12, 64, 219, 32, 35, 23, 136, 87, 92, 15,
    8, 31, 347, 172, 85, 39, 19, 12, 795, 15, 11, 60, 8, 15, 52, 19, 20, 15, 36, 19, 85, 27, 23,
    11, 119, 16, 11, 12, 243, 220, 16, 715, 92, 11, 112, 85, 267, 76, 19, 39, 11, 16, 12, 23, 179,
    36, 11, 76, 11, 28, 11, 44, 16, 127, 8, 203, 28, 16, 15, 8, 91, 40, 195, 15, 51, 64, 76, 339,
    196, 8, 268, 435, 28, 11, 148, 11, 60, 83, 20, 23, 85, 15, 131, 28, 8, 67, 16, 19, 16, 179, 8,
    59, 8, 11, 24, 35, 16, 12, 11, 60, 16, 20, 16, 28, 11, 64, 12, 32, 19, 8, 27, 20, 16, 85, 19,
    23, 53, 23, 11, 15, 12, 16, 28, 8, 51, 32, 19, 16, 179, 8, 59, 8, 19, 8, 19, 8, 19, 16, 12, 8,
    44, 32, 20, 16, 28, 24, 12, 56, 35, 8, 11, 56, 85, 20, 27, 12, 15, 80, 28, 8, 75, 8, 27, 8,
    179, 8, 59, 8, 19, 8, 43, 16, 12, 11, 68, 8, 28, 8, 28, 16, 11, 120, 19, 20, 16, 85, 23, 56,
    11, 52, 8, 28, 8, 67, 16, 19, 16, 179, 8, 59, 8, 19, 8, 43, 16, 12, 11, 60, 16, 20, 16, 28, 56,
    28, 32, 19, 8, 27, 20, 16, 85, 15, 11, 53, 80, 12, 11, 8, 51, 24, 27, 8, 35, 24, 19, 8, 11, 8,
    19, 24, 19, 24, 27, 24, 99, 32, 44, 24, 28, 8, 36, 16, 11, 48, 12, 112, 109, 71, 40, 44, 67, 8,
    27, 8, 187, 8, 131, 16, 12, 11, 60, 8, 28, 8, 36, 56, 20, 8, 27, 16, 11, 16, 19, 20, 16, 85,
    56, 15, 61, 15, 11, 28, 15, 67, 8, 27, 8, 187, 8, 83, 8, 43, 16, 12, 11, 60, 8, 28, 8, 36, 56,
    20, 48, 19, 8, 19, 20, 16, 85, 8, 19, 12, 96, 36, 75, 8, 27, 8, 331, 20, 11, 60, 8, 28, 8, 36,
    11, 15, 32, 27, 12, 61, 27, 20, 16, 157, 15, 51, 8, 28, 8, 147, 24, 195, 8, 75, 8, 11, 16, 59,
    24, 12, 32, 52, 8, 12, 8, 68, 48, 85, 16, 20, 15, 96, 387, 12, 19, 60, 32, 15, 59, 68, 15, 85,
    23, 296, 19, 8, 11, 8, 43, 8, 195, 8, 11, 8, 83, 12, 19, 76, 11, 16, 43, 8, 11, 8, 60, 8, 85,
    16, 35, 256, 11, 191, 20, 55, 165, 15, 12, 15, 12, 15, 12, 39, 20, 67, 8, 291, 32, 164, 15, 20,
    43, 92, 8, 292, 8, 71, 12, 55, 8, 111, 296, 347, 164, 11, 85, 55, 51, 36, 35, 28, 11, 28, 19,
    60, 27, 36, 107, 100, 11, 12, 85, 36, 23, 305, 8, 9, 40, 9, 16, 346, 15, 11, 26, 2635, 8, 35,
    16, 59, 8, 11, 8, 35, 16, 331, 8, 35, 16, 267, 8, 35, 16, 59, 8, 11, 8, 35, 16, 123, 8, 459, 8,
    35, 16, 539, 16, 28, 79, 165, 24, 131, 87, 48, 689, 16, 50, 16, 15, 4963, 23, 139, 8, 211, 23,
    24, 603, 31, 29, 67, 56, 147, 36, 72, 155, 28, 23, 72, 147, 20, 96, 107, 8, 27, 8, 20, 96, 419,
    260, 31, 11, 39, 11, 12, 16, 85, 48, 85, 48, 95, 28, 8, 12, 85, 48, 715, 56, 43, 20, 275, 12,
    11, 40, 563, 80, 251, 8, 100, 32, 100, 32, 15, 24, 23, 85, 243, 16, 43, 88, 355, 32, 211, 48,
    93, 24, 279, 187, 44, 16, 23, 427, 84, 8, 236, 16, 12, 85, 48, 85, 48, 63, 11, 55, 16, 252,
    392, 44, 379, 140, 67, 8, 23, 85, 143, 76, 103, 28, 243, 108, 19, 85, 355, 116, 64, 39, 291,
    164, 24, 47, 85, 24, 27, 85, 291, 23, 74, 9, 10, 40, 345, 16, 25, 71, 64, 28, 15, 172, 35, 12,
    51, 12, 19, 28, 11, 40, 354, 507, 106, 11, 274, 299, 516, 1206, 66, 790, 66, 65, 50, 16, 49,
    16, 66, 65, 66, 65, 50, 16, 49, 16, 66, 8, 9, 8, 9, 8, 9, 8, 9, 66, 65, 114, 16, 66, 65, 66,
    65, 66, 65, 42, 8, 18, 41, 15, 10, 31, 26, 8, 18, 41, 31, 34, 16, 18, 33, 8, 31, 66, 41, 31,
    16, 26, 8, 18, 41, 23, 136, 199, 64, 383, 136, 13, 11, 16, 53, 47, 11, 85, 47, 8, 107, 24, 271,
    120, 268, 120, 23, 9, 39, 9, 23, 10, 25, 18, 25, 10, 15, 9, 31, 41, 55, 9, 15, 9, 15, 9, 15,
    33, 15, 10, 33, 10, 35, 10, 23, 18, 17, 47, 9, 34, 39, 10, 15, 413, 9, 10, 45, 23, 32, 5335,
    176, 95, 168, 485, 631, 181, 5047, 245, 7943, 16, 263, 8, 847, 385, 386, 9, 10, 25, 18, 62, 25,
    10, 9, 18, 9, 50, 19, 25, 10, 790, 10, 55, 38, 28, 9, 10, 40, 39, 13, 23, 306, 8, 10, 40, 10,
    16, 451, 56, 11, 15, 112, 12, 187, 72, 59, 8, 59, 8, 59, 8, 59, 8, 59, 8, 59, 8, 59, 8, 59, 8,
    260, 383, 11, 375, 272, 215, 8, 719, 96, 1719, 208, 135, 8, 39, 19, 13, 207, 77, 52, 15, 43,
    23, 29, 19, 31, 8, 691, 16, 20, 23, 27, 15, 723, 15, 35, 40, 347, 8, 755, 8, 23, 37, 87, 259,
    311, 72, 15, 131, 255, 8, 85, 247, 69, 15, 125, 263, 85, 319, 125, 2567, 52739, 519, 65531,
    65531, 46203, 24, 447, 72, 371, 23, 2155, 31, 131, 85, 19, 160, 374, 11, 36, 15, 84, 15, 11,
    230, 19, 20, 563, 85, 20, 55, 64, 191, 75, 23, 118, 18, 502, 11, 66, 46, 86, 11, 23, 38, 11,
    38, 18, 174, 33, 10, 41, 10, 126, 25, 10, 9, 10, 17, 10, 16, 9, 10, 8, 10, 8, 10, 62, 168, 27,
    9, 10, 27, 10, 59, 12, 27, 12, 35, 12, 187, 44, 39, 12, 24, 53, 39, 48, 419, 39, 64, 20, 403,
    148, 64, 23, 85, 48, 148, 51, 31, 11, 15, 19, 12, 85, 227, 68, 23, 187, 108, 88, 15, 235, 24,
    36, 379, 116, 111, 8, 11, 85, 32, 23, 43, 12, 83, 85, 43, 8, 331, 116, 72, 27, 12, 67, 20, 16,
    85, 16, 39, 187, 31, 11, 28, 403, 12, 11, 28, 19, 20, 43, 20, 11, 12, 11, 192, 27, 23, 91, 44,
    23, 27, 20, 80, 51, 16, 51, 16, 51, 72, 59, 8, 59, 8, 346, 15, 35, 74, 11, 23, 32, 642, 283,
    68, 15, 20, 16, 85, 48, 65531, 23851, 96, 187, 32, 395, 65528, 2088, 2931, 16, 851, 304, 58,
    96, 42, 40, 11, 12, 83, 15, 107, 8, 43, 8, 11, 8, 19, 8, 19, 8, 867, 143, 128, 2907, 151, 515,
    16, 435, 56, 15, 256, 99, 39, 132, 87, 48, 132, 287, 8, 159, 8, 39, 32, 43, 8, 1083, 32, 127,
    85, 63, 209, 55, 210, 95, 715, 24, 51, 16, 51, 16, 51, 16, 27, 24, 63, 8, 63, 104, 23, 16, 99,
    8, 211, 8, 155, 8, 19, 8, 123, 16, 115, 272, 987, 40, 31, 32, 365, 24, 79, 461, 143, 21, 31, 8,
    111, 24, 15, 376, 367, 12, 1040, 235, 24, 395, 120, 12, 221, 32, 259, 37, 72, 163, 13, 67, 13,
    40, 307, 44, 40, 243, 8, 15, 291, 32, 67, 15, 45, 336, 321, 322, 627, 16, 85, 48, 289, 32, 290,
    32, 323, 64, 419, 88, 15, 89, 8, 121, 8, 57, 8, 17, 8, 90, 8, 122, 8, 58, 8, 18, 24, 419, 96,
    2491, 72, 179, 80, 67, 192, 51, 8, 339, 8, 75, 552, 51, 16, 11, 8, 355, 8, 19, 24, 11, 16, 187,
    8, 15, 69, 187, 23, 61, 251, 64, 77, 384, 155, 8, 19, 40, 45, 179, 53, 24, 15, 211, 40, 15,
    512, 451, 32, 21, 19, 133, 16, 373, 11, 28, 8, 20, 40, 36, 35, 8, 27, 8, 235, 16, 28, 32, 12,
    77, 56, 79, 56, 235, 21, 15, 235, 29, 256, 67, 15, 227, 20, 32, 45, 63, 72, 435, 24, 63, 179,
    16, 69, 155, 40, 69, 147, 56, 39, 96, 61, 640, 587, 440, 409, 104, 410, 56, 53, 291, 36, 64,
    85, 48, 85, 51, 177, 24, 44, 15, 11, 178, 64, 23, 1664, 253, 8, 339, 8, 20, 15, 16, 19, 128,
    27, 440, 36, 235, 85, 11, 64, 179, 92, 37, 47, 176, 147, 36, 39, 304, 171, 61, 160, 187, 72,
    28, 427, 124, 63, 32, 245, 12, 19, 20, 11, 72, 36, 363, 92, 23, 8, 39, 12, 104, 203, 56, 85,
    48, 28, 291, 116, 8, 85, 39, 11, 20, 11, 64, 283, 12, 23, 11, 72, 28, 387, 116, 35, 39, 36, 15,
    20, 85, 11, 15, 11, 31, 8, 165, 88, 147, 8, 203, 100, 55, 12, 19, 12, 496, 59, 8, 11, 8, 35, 8,
    123, 8, 83, 15, 48, 379, 100, 40, 85, 48, 36, 8, 67, 16, 19, 16, 179, 8, 59, 8, 19, 8, 43, 8,
    20, 11, 60, 16, 20, 16, 28, 16, 11, 48, 12, 40, 43, 20, 16, 60, 24, 44, 88, 83, 8, 11, 16, 11,
    8, 307, 8, 11, 76, 8, 12, 16, 12, 8, 36, 8, 44, 11, 12, 11, 23, 8, 23, 64, 20, 232, 427, 148,
    35, 47, 85, 23, 8, 15, 12, 27, 240, 387, 164, 19, 15, 11, 64, 85, 1328, 379, 60, 16, 76, 191,
    35, 20, 272, 387, 140, 31, 11, 88, 85, 48, 111, 152, 347, 108, 11, 15, 48, 85, 48, 165, 224,
    219, 16, 124, 32, 101, 39, 59, 1480, 355, 124, 15, 800, 257, 258, 157, 96, 67, 16, 11, 16, 67,
    8, 19, 8, 195, 52, 8, 20, 16, 36, 11, 12, 11, 20, 31, 72, 85, 560, 67, 16, 315, 60, 16, 60, 11,
    15, 11, 12, 216, 11, 84, 323, 60, 11, 36, 71, 12, 64, 11, 92, 371, 132, 31, 11, 47, 104, 587,
    56, 87, 1456, 267, 15, 112, 85, 48, 75, 8, 299, 68, 8, 68, 11, 47, 80, 237, 24, 23, 243, 16,
    180, 8, 116, 584, 59, 8, 19, 8, 307, 52, 24, 12, 8, 20, 8, 60, 11, 12, 64, 85, 48, 51, 8, 19,
    8, 259, 44, 8, 20, 8, 44, 11, 56, 85, 2480, 155, 36, 23, 56, 20, 11, 12, 107, 8, 275, 60, 24,
    44, 111, 85, 12, 680, 11, 120, 173, 239, 104, 15, 7379, 816, 893, 8, 47, 88, 1571, 21088, 779,
    23, 104, 8579, 128, 12, 51, 124, 80, 31963, 40, 4667, 54728, 243, 148, 85, 13872, 4555, 56,
    251, 8, 85, 32, 23, 635, 8, 85, 48, 243, 16, 44, 15, 80, 387, 60, 79, 35, 23, 80, 85, 8, 61, 8,
    171, 40, 155, 3456, 363, 31, 85, 1584, 257, 258, 189, 39, 808, 603, 32, 12, 11, 444, 56, 36,
    107, 512, 19, 15, 11, 12, 88, 20, 112, 49091, 64, 9907, 328, 83, 65528, 5952, 35, 8, 59, 8, 19,
    8, 2331, 120, 11, 232, 27, 16, 11, 112, 35, 64, 3171, 18464, 859, 40, 107, 24, 75, 56, 83, 16,
    15, 20, 15, 31488, 1927, 85, 48, 3495, 608, 372, 16, 188, 72, 935, 480, 1975, 80, 319, 16, 487,
    44, 31, 52, 64, 68, 23, 60, 247, 36, 495, 168, 535, 28, 15, 976, 165, 96, 165, 96, 703, 72,
    205, 1080, 209, 210, 209, 58, 8, 146, 209, 210, 9, 8, 17, 16, 9, 16, 17, 16, 33, 8, 65, 34, 8,
    10, 8, 58, 8, 90, 209, 210, 17, 8, 33, 16, 65, 8, 57, 8, 210, 17, 8, 33, 8, 41, 8, 9, 24, 57,
    8, 210, 209, 210, 209, 210, 209, 210, 209, 210, 209, 210, 209, 226, 16, 201, 15, 202, 15, 50,
    201, 15, 202, 15, 50, 201, 15, 202, 15, 50, 201, 15, 202, 15, 50, 201, 15, 202, 15, 50, 9, 10,
    16, 405, 4103, 444, 39, 404, 71, 12, 119, 12, 63, 120, 44, 8, 124, 8832, 82, 11, 162, 48, 50,
    1704, 60, 8, 140, 16, 60, 8, 20, 8, 44, 40, 499, 264, 12, 896, 363, 24, 60, 59, 16, 85, 32, 11,
    15, 2560, 243, 12, 136, 355, 36, 85, 40, 15, 3712, 227, 36, 85, 1712, 243, 20, 11, 85, 32, 15,
    3840, 59, 8, 35, 8, 19, 8, 123, 8, 1579, 16, 77, 60, 328, 273, 274, 60, 11, 32, 85, 32, 23,
    6280, 477, 15, 29, 15, 37, 608, 365, 15, 125, 1552, 35, 8, 219, 8, 19, 8, 11, 16, 11, 8, 83, 8,
    35, 8, 11, 8, 11, 48, 11, 32, 11, 8, 11, 8, 11, 8, 27, 8, 19, 8, 11, 16, 11, 8, 11, 8, 11, 8,
    11, 8, 11, 8, 19, 8, 11, 16, 35, 8, 59, 8, 35, 8, 35, 8, 11, 8, 83, 8, 139, 40, 27, 8, 43, 8,
    139, 416, 23, 2160, 359, 32, 807, 96, 127, 16, 127, 8, 127, 8, 303, 80, 109, 1295, 448, 239,
    104, 359, 32, 79, 56, 23, 112, 55, 1232, 7879, 32, 143, 24, 111, 24, 959, 32, 767, 48, 103, 32,
    15, 120, 103, 32, 455, 64, 87, 48, 327, 64, 247, 16, 103, 32, 23, 496, 2727, 96, 119, 16, 111,
    24, 87, 40, 455, 56, 127, 16, 95, 48, 79, 56, 1183, 8, 743, 85, 8240, 65531, 65531, 65531,
    65531, 65531, 14123, 256, 33235, 48, 1779, 16, 46099, 112, 59787, 120, 4979, 19728, 4339,
    12048, 39515, 40, 33539, 640,
};
/* clang-format on */

enum { NC_HLX__UNICODE = 0x32400 };

/* The bits of every character below NC_HLX__UNICODE. */
static void nc_hlx__unicode_fill(uint8_t *bits) {
    static const uint8_t class_bits[8] = {0,         1 | 4,          2 | 4, 1 | 2 | 4,
                                          1 | 2 | 8, NC_HLX__NUMBER, 0,     NC_HLX__SIGN};
    static const uint16_t spaces[] = {0x20,   0x85,   0xA0,   0x1680, 0x2028,
                                      0x2029, 0x202F, 0x205F, 0x3000};
    size_t run, i, at = 0;
    for (run = 0; run < sizeof nc_hlx__unicode / sizeof *nc_hlx__unicode; run++) {
        const unsigned kind = nc_hlx__unicode[run] & 7;
        for (i = 0; i < nc_hlx__unicode[run] >> 3; i++, at++)
            bits[at] = class_bits[kind == 6 ? 1 + i % 2 : kind];
    }
    for (i = 0; i < sizeof spaces / sizeof *spaces; i++) bits[spaces[i]] = NC_HLX__SPACE;
    for (i = '\t'; i <= '\r'; i++) bits[i] = NC_HLX__SPACE;
    for (i = 0x2000; i <= 0x200A; i++) bits[i] = NC_HLX__SPACE;
    bits[0x0D] = bits[0x0A] = NC_HLX__SPACE | NC_HLX__LINE;
}

/* The character at `at` < end and its bytes; one that is no valid UTF-8 is UINT32_MAX, a byte. */
static uint32_t nc_hlx__code_at(const uint8_t *at, const uint8_t *end, size_t *length) {
    const uint8_t c = at[0];
    *length = 1;
    if (c < 0x80) return c;
    *length = nc__utf8(at, (size_t)(end - at));
    if (*length == 2) return (c & 31u) << 6 | (at[1] & 63u);
    if (*length == 3) return (c & 15u) << 12 | (at[1] & 63u) << 6 | (at[2] & 63u);
    if (*length) return (c & 7u) << 18 | (at[1] & 63u) << 12 | (at[2] & 63u) << 6 | (at[3] & 63u);
    *length = 1;
    return UINT32_MAX;
}

/* The bits of the character at `at` and its bytes; behind the end 0 and 0. */
static unsigned nc_hlx__bits_at(const uint8_t *bits, const uint8_t *at, const uint8_t *end,
                                size_t *length) {
    uint32_t code;
    *length = 0;
    if (at >= end) return 0;
    code = nc_hlx__code_at(at, end, length);
    if (code < NC_HLX__UNICODE) return bits[code];
    return code - 0xE0100 < 240 ? NC_HLX__UPPER | NC_HLX__LOWER | NC_HLX__MARK : 0;
}

/* -- normalisation form C (Unicode standard annex 15) ------------------------------- */

/* Tables of tests/golden_unicode.py, of the characters that `tokenizers` 0.23 normalises (Unicode
 * 9). Runs of a combining class: characters left out before it, then length * 256 + class. */
/* clang-format off */
static const uint16_t nc_hlx__nfc_classes[] = {
    768, 5606, 0, 488, 0, 1244, 0, 488, 0, 472, 0, 1500, 0, 714, 0, 1244, 0, 714, 0, 3036, 0, 1281,
    0, 1244, 0, 2278, 0, 496, 0, 486, 0, 988, 0, 998, 0, 732, 1, 998, 0, 1244, 0, 486, 0, 488, 0,
    732, 0, 486, 0, 489, 0, 746, 0, 489, 0, 746, 0, 489, 0, 3558, 275, 1510, 265, 476, 0, 1254, 0,
    476, 0, 998, 0, 478, 0, 476, 0, 1766, 0, 1756, 0, 742, 0, 476, 0, 742, 0, 478, 0, 484, 0, 486,
    0, 266, 0, 267, 0, 268, 0, 269, 0, 270, 0, 271, 0, 272, 0, 273, 0, 274, 0, 531, 0, 276, 0, 277,
    0, 278, 1, 279, 1, 280, 0, 281, 1, 486, 0, 476, 1, 274, 72, 2278, 0, 286, 0, 287, 0, 288, 48,
    283, 0, 284, 0, 285, 0, 286, 0, 287, 0, 288, 0, 289, 0, 290, 0, 742, 0, 732, 0, 1510, 0, 476, 0,
    742, 0, 476, 16, 291, 101, 2022, 2, 1254, 0, 476, 0, 486, 2, 742, 1, 476, 0, 742, 0, 476, 35,
    292, 30, 486, 0, 476, 0, 742, 0, 476, 0, 742, 0, 988, 0, 486, 0, 732, 0, 486, 0, 476, 0, 998, 0,
    476, 0, 486, 0, 476, 0, 486, 0, 476, 0, 486, 0, 476, 0, 742, 160, 2022, 0, 476, 0, 486, 34,
    1254, 1, 2534, 1, 998, 1, 1510, 43, 988, 120, 3814, 1, 476, 0, 742, 0, 476, 0, 742, 0, 476, 0,
    998, 0, 988, 0, 283, 0, 284, 0, 285, 0, 998, 0, 476, 0, 742, 0, 732, 0, 1510, 60, 263, 16, 265,
    3, 486, 0, 476, 0, 742, 103, 263, 16, 265, 110, 263, 16, 265, 110, 263, 16, 265, 110, 263, 16,
    265, 127, 265, 127, 265, 7, 340, 0, 347, 101, 263, 16, 265, 127, 265, 124, 265, 109, 615, 0,
    265, 13, 1131, 108, 630, 14, 1146, 76, 732, 27, 476, 1, 476, 1, 472, 55, 385, 0, 386, 1, 388, 5,
    1154, 2, 386, 1, 742, 0, 265, 1, 742, 62, 476, 112, 263, 1, 521, 82, 476, 719, 998, 948, 265,
    31, 265, 157, 265, 10, 486, 203, 484, 143, 478, 0, 486, 0, 476, 219, 486, 0, 476, 71, 265, 20,
    2278, 2, 476, 48, 1510, 0, 1756, 0, 742, 0, 476, 118, 263, 15, 265, 38, 486, 0, 476, 0, 2022,
    54, 521, 58, 263, 11, 521, 67, 263, 152, 998, 1, 257, 0, 1500, 0, 742, 0, 1244, 0, 486, 1, 1793,
    4, 476, 6, 486, 3, 742, 198, 742, 0, 476, 0, 2022, 0, 476, 0, 742, 0, 490, 0, 470, 0, 476, 0,
    458, 0, 9702, 5, 486, 0, 489, 0, 476, 0, 486, 0, 476, 720, 742, 0, 513, 0, 1254, 0, 769, 0, 742,
    4, 486, 3, 513, 0, 486, 0, 476, 0, 486, 0, 513, 0, 1244, 0, 486, 3070, 998, 141, 265, 96, 8422,
    554, 474, 0, 484, 0, 488, 0, 478, 0, 736, 105, 520, 30164, 486, 4, 2790, 32, 742, 80, 742, 276,
    265, 189, 265, 27, 4838, 57, 988, 37, 265, 95, 263, 12, 265, 239, 486, 1, 742, 0, 476, 2, 742,
    5, 742, 1, 486, 52, 265, 246, 265, 20272, 282, 769, 2022, 0, 2012, 0, 742, 973, 476, 226, 476,
    149, 1510, 1682, 476, 1, 486, 40, 486, 0, 257, 0, 476, 4, 265, 165, 486, 0, 476, 1375, 265, 56,
    265, 57, 265, 0, 263, 69, 998, 48, 521, 62, 263, 76, 265, 9, 263, 106, 265, 0, 263, 178, 263, 0,
    265, 81, 263, 16, 265, 24, 2022, 3, 1510, 205, 265, 3, 263, 123, 265, 0, 263, 251, 265, 0, 263,
    126, 265, 118, 265, 0, 263, 115, 265, 1299, 265, 20144, 1281, 59, 2022, 20839, 257, 5318, 728,
    0, 769, 3, 482, 0, 1496, 8, 2268, 2, 1510, 0, 732, 30, 1254, 148, 998, 3515, 2022, 1, 4582, 2,
    2022, 1, 742, 1, 1510, 2213, 2012, 109, 1766, 0, 263,
};
/* Canonical decompositions: runs of characters that have one, and the number of the first's. */
static const uint32_t nc_hlx__nfc_runs[][3] = {
    {192, 6, 0}, {199, 9, 6}, {209, 6, 15}, {217, 5, 21}, {224, 6, 26}, {231, 9, 32}, {241, 6, 41},
    {249, 5, 47}, {255, 17, 52}, {274, 20, 69}, {296, 9, 89}, {308, 4, 98}, {313, 6, 102},
    {323, 6, 108}, {332, 6, 114}, {340, 18, 120}, {360, 23, 138}, {416, 2, 161}, {431, 2, 163},
    {461, 16, 165}, {478, 6, 181}, {486, 11, 187}, {500, 2, 198}, {504, 36, 200}, {542, 2, 236},
    {550, 14, 238}, {832, 2, 252}, {835, 2, 254}, {884, 1, 256}, {894, 1, 257}, {901, 6, 258},
    {908, 1, 264}, {910, 3, 265}, {938, 7, 268}, {970, 5, 275}, {979, 2, 280}, {1024, 2, 282},
    {1027, 1, 284}, {1031, 1, 285}, {1036, 3, 286}, {1049, 1, 289}, {1081, 1, 290}, {1104, 2, 291},
    {1107, 1, 293}, {1111, 1, 294}, {1116, 3, 295}, {1142, 2, 298}, {1217, 2, 300}, {1232, 4, 302},
    {1238, 2, 306}, {1242, 6, 308}, {1250, 6, 314}, {1258, 12, 320}, {1272, 2, 332}, {1570, 5, 334},
    {1728, 1, 339}, {1730, 1, 340}, {1747, 1, 341}, {2345, 1, 342}, {2353, 1, 343}, {2356, 1, 344},
    {2392, 8, 345}, {2507, 2, 353}, {2524, 2, 355}, {2527, 1, 357}, {2611, 1, 358}, {2614, 1, 359},
    {2649, 3, 360}, {2654, 1, 363}, {2888, 1, 364}, {2891, 2, 365}, {2908, 2, 367}, {2964, 1, 369},
    {3018, 3, 370}, {3144, 1, 373}, {3264, 1, 374}, {3271, 2, 375}, {3274, 2, 377}, {3402, 3, 379},
    {3546, 1, 382}, {3548, 3, 383}, {3907, 1, 386}, {3917, 1, 387}, {3922, 1, 388}, {3927, 1, 389},
    {3932, 1, 390}, {3945, 1, 391}, {3955, 1, 392}, {3957, 2, 393}, {3960, 1, 395}, {3969, 1, 396},
    {3987, 1, 397}, {3997, 1, 398}, {4002, 1, 399}, {4007, 1, 400}, {4012, 1, 401}, {4025, 1, 402},
    {4134, 1, 403}, {6918, 1, 404}, {6920, 1, 405}, {6922, 1, 406}, {6924, 1, 407}, {6926, 1, 408},
    {6930, 1, 409}, {6971, 1, 410}, {6973, 1, 411}, {6976, 2, 412}, {6979, 1, 414},
    {7680, 154, 415}, {7835, 1, 569}, {7840, 90, 570}, {7936, 22, 660}, {7960, 6, 682},
    {7968, 38, 688}, {8008, 6, 726}, {8016, 8, 732}, {8025, 1, 740}, {8027, 1, 741}, {8029, 1, 742},
    {8031, 31, 743}, {8064, 53, 774}, {8118, 7, 827}, {8126, 1, 834}, {8129, 4, 835},
    {8134, 14, 839}, {8150, 6, 853}, {8157, 19, 859}, {8178, 3, 878}, {8182, 8, 881},
    {8192, 2, 889}, {8486, 1, 891}, {8490, 2, 892}, {8602, 2, 894}, {8622, 1, 896}, {8653, 3, 897},
    {8708, 1, 900}, {8713, 1, 901}, {8716, 1, 902}, {8740, 1, 903}, {8742, 1, 904}, {8769, 1, 905},
    {8772, 1, 906}, {8775, 1, 907}, {8777, 1, 908}, {8800, 1, 909}, {8802, 1, 910}, {8813, 5, 911},
    {8820, 2, 916}, {8824, 2, 918}, {8832, 2, 920}, {8836, 2, 922}, {8840, 2, 924}, {8876, 4, 926},
    {8928, 4, 930}, {8938, 4, 934}, {9001, 2, 938}, {10972, 1, 940}, {12364, 1, 941},
    {12366, 1, 942}, {12368, 1, 943}, {12370, 1, 944}, {12372, 1, 945}, {12374, 1, 946},
    {12376, 1, 947}, {12378, 1, 948}, {12380, 1, 949}, {12382, 1, 950}, {12384, 1, 951},
    {12386, 1, 952}, {12389, 1, 953}, {12391, 1, 954}, {12393, 1, 955}, {12400, 2, 956},
    {12403, 2, 958}, {12406, 2, 960}, {12409, 2, 962}, {12412, 2, 964}, {12436, 1, 966},
    {12446, 1, 967}, {12460, 1, 968}, {12462, 1, 969}, {12464, 1, 970}, {12466, 1, 971},
    {12468, 1, 972}, {12470, 1, 973}, {12472, 1, 974}, {12474, 1, 975}, {12476, 1, 976},
    {12478, 1, 977}, {12480, 1, 978}, {12482, 1, 979}, {12485, 1, 980}, {12487, 1, 981},
    {12489, 1, 982}, {12496, 2, 983}, {12499, 2, 985}, {12502, 2, 987}, {12505, 2, 989},
    {12508, 2, 991}, {12532, 1, 993}, {12535, 4, 994}, {12542, 1, 998}, {63744, 270, 999},
    {64016, 1, 1269}, {64018, 1, 1270}, {64021, 10, 1271}, {64032, 1, 1281}, {64034, 1, 1282},
    {64037, 2, 1283}, {64042, 68, 1285}, {64112, 106, 1353}, {64285, 1, 1459}, {64287, 1, 1460},
    {64298, 13, 1461}, {64312, 5, 1474}, {64318, 1, 1479}, {64320, 2, 1480}, {64323, 2, 1482},
    {64326, 9, 1484}, {69786, 1, 1493}, {69788, 1, 1494}, {69803, 1, 1495}, {69934, 2, 1496},
    {70475, 2, 1498}, {70843, 2, 1500}, {70846, 1, 1502}, {71098, 2, 1503}, {119134, 7, 1505},
    {119227, 6, 1512}, {194560, 542, 1518},
};
/* Of each character: the first of a pair * 256 + the place of the second in nc_hlx__nfc_second, and
 * 128 where the pair does not become the character again; or what it is alone * 256 + 127. */
static const uint32_t nc_hlx__nfc_parts[] = {
    16640, 16641, 16642, 16643, 16644, 16645, 17158, 17664, 17665, 17666, 17668, 18688, 18689,
    18690, 18692, 19971, 20224, 20225, 20226, 20227, 20228, 21760, 21761, 21762, 21764, 22785,
    24832, 24833, 24834, 24835, 24836, 24837, 25350, 25856, 25857, 25858, 25860, 26880, 26881,
    26882, 26884, 28163, 28416, 28417, 28418, 28419, 28420, 29952, 29953, 29954, 29956, 30977,
    30980, 16647, 24839, 16648, 24840, 16649, 24841, 17153, 25345, 17154, 25346, 17162, 25354,
    17163, 25355, 17419, 25611, 17671, 25863, 17672, 25864, 17674, 25866, 17673, 25865, 17675,
    25867, 18178, 26370, 18184, 26376, 18186, 26378, 18182, 26374, 18434, 26626, 18691, 26883,
    18695, 26887, 18696, 26888, 18697, 26889, 18698, 18946, 27138, 19206, 27398, 19457, 27649,
    19462, 27654, 19467, 27659, 19969, 28161, 19974, 28166, 19979, 28171, 20231, 28423, 20232,
    28424, 20236, 28428, 20993, 29185, 20998, 29190, 21003, 29195, 21249, 29441, 21250, 29442,
    21254, 29446, 21259, 29451, 21510, 29702, 21515, 29707, 21763, 29955, 21767, 29959, 21768,
    29960, 21765, 29957, 21772, 29964, 21769, 29961, 22274, 30466, 22786, 30978, 22788, 23041,
    31233, 23050, 31242, 23051, 31243, 20237, 28429, 21773, 29965, 16651, 24843, 18699, 26891,
    20235, 28427, 21771, 29963, 56327, 64519, 56321, 64513, 56331, 64523, 56320, 64512, 50183,
    58375, 140807, 141063, 50695, 58887, 18187, 26379, 19211, 27403, 20233, 28425, 125447, 125703,
    112395, 168459, 27147, 18177, 26369, 19968, 28160, 50433, 58625, 50689, 58881, 55297, 63489,
    16654, 24846, 16655, 24847, 17678, 25870, 17679, 25871, 18702, 26894, 18703, 26895, 20238,
    28430, 20239, 28431, 21006, 29198, 21007, 29199, 21774, 29966, 21775, 29967, 21264, 29456,
    21520, 29712, 18443, 26635, 16650, 24842, 17670, 25862, 54791, 62983, 54535, 62727, 20234,
    28426, 142855, 143111, 22791, 30983, 196735, 196991, 201599, 198785, 178559, 15231, 43009,
    233729, 46975, 234753, 235265, 235777, 237313, 238849, 239873, 248321, 235780, 238852, 241921,
    242945, 243457, 243969, 248577, 243972, 247044, 245505, 247041, 248065, 250369, 250372, 267520,
    267524, 267009, 263684, 268801, 268288, 271112, 268296, 276488, 275712, 275716, 275201, 284164,
    276993, 276480, 279304, 291854, 292110, 267784, 275976, 266248, 274440, 266244, 274436, 267528,
    275720, 317444, 317700, 267780, 275972, 268036, 276228, 268295, 276487, 268292, 276484, 269828,
    278020, 321540, 321796, 273668, 281860, 271111, 279303, 271108, 279300, 271116, 279308, 272132,
    280324, 273156, 281348, 403217, 403218, 411666, 403219, 412178, 447762, 442642, 446994, 600084,
    602132, 602900, 595348, 595604, 595860, 597140, 598420, 598676, 600980, 602004, 640789, 640790,
    631191, 631447, 634775, 668312, 669848, 661144, 661400, 662680, 666520, 739097, 739098, 739099,
    729500, 729756, 758301, 771614, 771870, 771613, 804383, 835360, 837152, 837153, 837154, 838176,
    869923, 870179, 869924, 907557, 907558, 908325, 907559, 1000104, 1002664, 1003944, 1005224,
    1006504, 999593, 1012138, 1012139, 1028780, 1029036, 1012140, 1020584, 1023144, 1024424,
    1025704, 1026984, 1020073, 1058093, 1770798, 1771310, 1771822, 1772334, 1772846, 1773870,
    1784366, 1784878, 1785390, 1785646, 1786414, 16687, 24879, 16906, 25098, 16944, 25136, 16945,
    25137, 50945, 59137, 17418, 25610, 17456, 25648, 17457, 25649, 17414, 25606, 17458, 25650,
    70144, 70400, 70145, 70401, 17714, 25906, 17715, 25907, 141320, 141576, 17930, 26122, 18183,
    26375, 18442, 26634, 18480, 26672, 18436, 26628, 18438, 26630, 18484, 26676, 18739, 26931,
    52993, 61185, 19201, 27393, 19248, 27440, 19249, 27441, 19504, 27696, 1979911, 1980167, 19505,
    27697, 19506, 27698, 19713, 27905, 19722, 27914, 19760, 27952, 19978, 28170, 20016, 28208,
    20017, 28209, 20018, 28210, 54529, 62721, 54532, 62724, 84992, 85248, 84993, 85249, 20481,
    28673, 20490, 28682, 21002, 29194, 21040, 29232, 1989127, 1989383, 21041, 29233, 21258, 29450,
    21296, 29488, 88586, 88842, 90122, 90378, 1991178, 1991434, 21514, 29706, 21552, 29744, 21553,
    29745, 21554, 29746, 21813, 30005, 21811, 30003, 21810, 30002, 92161, 92417, 92676, 92932,
    22019, 30211, 22064, 30256, 22272, 30464, 22273, 30465, 22276, 30468, 22282, 30474, 22320,
    30512, 22538, 30730, 22532, 30724, 22794, 30986, 23042, 31234, 23088, 31280, 23089, 31281,
    26673, 29700, 30469, 30981, 98058, 16688, 24880, 16694, 24886, 49665, 57857, 49664, 57856,
    49718, 57910, 49667, 57859, 2007042, 2007298, 66049, 66305, 66048, 66304, 66102, 66358, 66051,
    66307, 2007048, 2007304, 17712, 25904, 17718, 25910, 17667, 25859, 51713, 59905, 51712, 59904,
    51766, 59958, 51715, 59907, 2013186, 2013442, 18742, 26934, 18736, 26928, 20272, 28464, 20278,
    28470, 54273, 62465, 54272, 62464, 54326, 62518, 54275, 62467, 2018306, 2018562, 106497, 106753,
    106496, 106752, 106550, 106806, 106499, 106755, 106544, 106800, 21808, 30000, 21814, 30006,
    110337, 110593, 110336, 110592, 110390, 110646, 110339, 110595, 110384, 110640, 22784, 30976,
    22832, 31024, 22838, 31030, 22787, 30979, 241975, 241976, 2031616, 2031872, 2031617, 2031873,
    2031673, 2031929, 233783, 233784, 2033664, 2033920, 2033665, 2033921, 2033721, 2033977, 242999,
    243000, 2035712, 2035968, 2035713, 2035969, 234807, 234808, 2037760, 2038016, 2037761, 2038017,
    243511, 243512, 2039808, 2040064, 2039809, 2040065, 2039865, 2040121, 235319, 235320, 2041856,
    2042112, 2041857, 2042113, 2041913, 2042169, 244023, 244024, 2043904, 2044160, 2043905, 2044161,
    2043961, 2044217, 235831, 235832, 2045952, 2046208, 2045953, 2046209, 2046009, 2046265, 245559,
    245560, 2048000, 2048256, 2048001, 2048257, 237367, 237368, 2050048, 2050304, 2050049, 2050305,
    247095, 247096, 2052096, 2052352, 2052097, 2052353, 2052153, 2052409, 238904, 2054400, 2054401,
    2054457, 248119, 248120, 2056192, 2056448, 2056193, 2056449, 2056249, 2056505, 239927, 239928,
    2058240, 2058496, 2058241, 2058497, 2058297, 2058553, 241920, 240767, 242944, 241023, 243456,
    241279, 243968, 241535, 245504, 248959, 247040, 249215, 248064, 249471, 2031674, 2031930,
    2032186, 2032442, 2032698, 2032954, 2033210, 2033466, 2033722, 2033978, 2034234, 2034490,
    2034746, 2035002, 2035258, 2035514, 2039866, 2040122, 2040378, 2040634, 2040890, 2041146,
    2041402, 2041658, 2041914, 2042170, 2042426, 2042682, 2042938, 2043194, 2043450, 2043706,
    2056250, 2056506, 2056762, 2057018, 2057274, 2057530, 2057786, 2058042, 2058298, 2058554,
    2058810, 2059066, 2059322, 2059578, 2059834, 2060090, 241928, 241927, 2060346, 241978, 240698,
    241977, 2078266, 233736, 233735, 233728, 231039, 233786, 244095, 43065, 2061370, 243514, 241210,
    243513, 2082362, 234752, 231551, 235264, 231807, 235322, 2080512, 2080513, 2080569, 243976,
    243975, 248320, 233599, 244025, 248377, 235784, 235783, 235776, 232063, 2096640, 2096641,
    2096697, 247048, 247047, 248576, 241791, 246071, 246072, 247097, 248633, 238856, 238855, 238848,
    233087, 237880, 43008, 230783, 24703, 2063418, 248122, 249402, 248121, 2094650, 237312, 232575,
    239872, 233343, 239930, 46207, 2097791, 2098047, 239999, 19327, 50559, 2199611, 2200123,
    2200635, 2215995, 2217019, 2216507, 2229051, 2230331, 2231099, 2237243, 2237755, 2243643,
    2245435, 2245947, 2246715, 15675, 2253115, 2247995, 15419, 15931, 2253883, 2254139, 2257467,
    2257723, 2258491, 2258747, 2259515, 2259771, 2261563, 2261819, 2262587, 2262843, 2269755,
    2271291, 2271547, 2272059, 2260027, 2260283, 2265403, 2265659, 2273851, 2274107, 2274363,
    2274619, 3147903, 3148159, 2809275, 3164988, 3165500, 3166012, 3166524, 3167036, 3167548,
    3168060, 3168572, 3169084, 3169596, 3170108, 3170620, 3171388, 3171900, 3172412, 3174204,
    3174205, 3174972, 3174973, 3175740, 3175741, 3176508, 3176509, 3177276, 3177277, 3163708,
    3185980, 3189564, 3190076, 3190588, 3191100, 3191612, 3192124, 3192636, 3193148, 3193660,
    3194172, 3194684, 3195196, 3195964, 3196476, 3196988, 3198780, 3198781, 3199548, 3199549,
    3200316, 3200317, 3201084, 3201085, 3201852, 3201853, 3188284, 3206972, 3207228, 3207484,
    3207740, 3210556, 9193599, 6747263, 9357951, 9226367, 7262591, 5124735, 5498239, 10460287,
    10460287, 5853567, 9556351, 5605247, 5851263, 6420095, 7760255, 8357247, 8798079, 8895103,
    8976511, 9473919, 6947455, 7150463, 7395711, 7593599, 8666495, 9529983, 10088831, 5145215,
    5469567, 7013503, 7478143, 8793471, 10362495, 6115455, 7334783, 8768895, 9004159, 6474111,
    8509567, 8920959, 6212223, 6756223, 7170687, 7535743, 9490047, 5211775, 5355391, 5430911,
    6603903, 7000959, 7475327, 7792511, 8388991, 8783487, 8805503, 9301887, 9908863, 10186623,
    10353279, 7900287, 7962495, 8233087, 8636799, 9634943, 10387327, 9098879, 5824383, 6227071,
    8151167, 8420991, 7496319, 7916159, 9224831, 9893759, 5822591, 6054527, 6951807, 7199359,
    7278463, 8204159, 8271743, 9849727, 5427839, 8424319, 5364863, 5360767, 8002687, 8240767,
    8647039, 9860479, 9142399, 6475647, 6947455, 9109119, 5126527, 6023039, 6296191, 7571327,
    7696511, 5445503, 7928703, 5226367, 6269311, 5115263, 7130239, 6649983, 8200831, 5489535,
    5791359, 7799167, 8669567, 9087615, 7060095, 9416831, 7112831, 6487679, 8578431, 6529151,
    7693695, 5156479, 5335423, 5359999, 6848895, 8185727, 8548223, 9097855, 9555839, 5436799,
    5522047, 5862271, 6220927, 6669695, 7339647, 7940735, 9809279, 10119807, 10393471, 10407551,
    5413759, 6735487, 7042943, 9396863, 6190207, 6393983, 6422655, 6593151, 7283583, 7424383,
    7637375, 7981695, 8254591, 8417151, 9381503, 8711807, 9446271, 9652863, 5379967, 5415807,
    5553535, 7391359, 8962687, 9087615, 6211967, 6288767, 6519679, 7057023, 8142463, 7566719,
    5170303, 5699967, 6023039, 6142591, 6298751, 7582335, 7629183, 8362623, 8406655, 9581695,
    9893503, 9914495, 9967743, 5213055, 7974527, 9548927, 9877631, 6349183, 5146239, 5298815,
    6024831, 6045567, 6658431, 6947455, 7458431, 7750271, 8715391, 9469055, 10456447, 6719615,
    9842303, 5409151, 6781823, 6812543, 7160191, 7249023, 7604607, 7690623, 7891839, 8196223,
    9985663, 5336447, 6434431, 9861247, 5254015, 6101375, 7203455, 9382527, 6261631, 6374527,
    6821759, 7571327, 9864831, 5384575, 5508991, 6055295, 6689663, 6770303, 6858879, 7136639,
    7603839, 7725695, 8354175, 8966015, 8970623, 9555071, 9888383, 5455743, 7256703, 5512575,
    7458943, 7641215, 8780415, 9872255, 10246015, 10395519, 6788991, 7195519, 8513663, 8047487,
    8069247, 8163967, 7520383, 7379327, 9132159, 5161087, 8599167, 5388927, 5375871, 6203007,
    6476671, 8181375, 5997951, 7151231, 6730879, 9386879, 8932479, 9850239, 9014143, 6214527,
    5324927, 5619839, 5790335, 6714495, 5365375, 7547519, 7785087, 7945343, 7954047, 7955839,
    7966591, 9918079, 8175231, 8371583, 8786559, 9107583, 9451647, 9502079, 10022783, 10026111,
    10037375, 10335359, 9494143, 9877375, 5222015, 5302143, 5328255, 5425535, 5432447, 5460351,
    5610879, 5637759, 5662847, 5783679, 5810303, 6055039, 6057599, 6329471, 6383743, 6393471,
    6419071, 6639487, 6677119, 6721919, 6849919, 7174015, 7215743, 7283327, 7433855, 7482239,
    7611007, 7901567, 7945855, 7948671, 7948415, 7950463, 7951999, 7953791, 7966079, 7966335,
    8011903, 8028543, 8110207, 8254591, 8259967, 8274303, 8352383, 8390015, 8514943, 8550783,
    8550783, 8673151, 8982655, 9016959, 9109887, 9124223, 9229183, 9242751, 9418367, 9451647,
    9888639, 9961343, 9976703, 6321535, 37940863, 8525951, 5121663, 5354879, 5335167, 5210239,
    5326207, 5341311, 5425023, 5438079, 5610879, 5592447, 5609855, 5628543, 5790335, 5813119,
    5850239, 5854335, 5923455, 5974143, 6214271, 6216063, 6252927, 6270335, 6346879, 6377087,
    6359167, 6393471, 6381695, 6419071, 6435967, 6538367, 6560895, 6574719, 6641279, 6714495,
    6756223, 6757247, 6772351, 7043455, 7060095, 7160191, 7265151, 7261055, 7283327, 7347839,
    7433855, 7841663, 7484799, 7516031, 7547519, 7631231, 7669375, 7682943, 7740799, 7741311,
    7785087, 7789439, 7795839, 7817855, 7815295, 7916671, 8040831, 8110207, 8158079, 8215423,
    8254591, 8339071, 8390015, 8606335, 8646527, 8878463, 8995199, 9012863, 9016959, 9092991,
    9107583, 9096063, 9109887, 9109119, 9104767, 9124223, 9144959, 9242751, 9386111, 9466495,
    9542015, 9598591, 9862271, 9888639, 9918079, 9952127, 9961343, 9964415, 9976703, 10162815,
    10460287, 36194943, 36193407, 36951423, 3906943, 4200575, 4209023, 38947199, 39637119, 41866111,
    10437503, 10456703, 383422, 389823, 387520, 387521, 16468416, 16468417, 381119, 381122, 381123,
    381379, 381635, 381891, 382147, 382403, 382659, 383171, 383427, 383683, 383939, 384195, 384707,
    385219, 385475, 385987, 386243, 386755, 387011, 387267, 387523, 387779, 382404, 381381, 383941,
    386245, 17865030, 17865542, 17868102, 17903943, 17904199, 18040648, 18040649, 18135370,
    18135371, 18135372, 18200653, 18200909, 30496718, 30496974, 30498767, 30498768, 30498769,
    30498770, 30498771, 30521806, 30522062, 30522319, 30522575, 30522320, 30522576, 5127551,
    5126271, 5128575, 33628799, 5202047, 5222015, 5225343, 5243519, 5274239, 5282175, 5302143,
    5295999, 3448447, 33962623, 5328255, 5330047, 5334143, 5339007, 33889407, 3455359, 5334911,
    5344639, 33901439, 5347199, 5350527, 5164159, 5352575, 5354879, 43114367, 5371263, 5374847,
    3465087, 5389183, 5391999, 5403263, 5404543, 3478911, 5425023, 5425535, 5432447, 5438079,
    5440895, 5441151, 5445503, 5458303, 5460351, 5462655, 5469055, 5471615, 5472127, 5472127,
    5472127, 34221183, 7368831, 5491327, 5496703, 34300799, 5499775, 5501311, 5506687, 5545599,
    5519487, 5523583, 5531775, 5546623, 5568127, 5574783, 5591935, 5596031, 5604479, 5604479,
    5609855, 5614463, 5616511, 5620351, 5707391, 5637759, 5707647, 5656959, 5665919, 5375871,
    5828223, 5754495, 5764223, 5770623, 5737343, 5780095, 5779839, 5811327, 34923647, 5829247,
    5830527, 5834367, 5839487, 5841535, 5857919, 35039359, 35056255, 5893247, 5905279, 5908351,
    5888127, 5924479, 3599999, 3603583, 5965951, 5979775, 5979775, 35244159, 6013823, 6019199,
    6023039, 6026111, 35330175, 6029183, 6030975, 6247295, 6038143, 3637631, 6054015, 6057599,
    6078591, 6065535, 35513471, 6112127, 35513983, 6123135, 6122367, 6126719, 6152575, 6152831,
    3682175, 6159743, 6170751, 6176127, 6187391, 3695231, 35750783, 3701887, 6205567, 6206335,
    6207103, 6212223, 44274303, 6225535, 35860863, 35860863, 8520063, 6234751, 6234751, 3721087,
    36878463, 39967359, 6251135, 6253439, 3728255, 6265471, 6278527, 6281087, 6289791, 6324607,
    3750527, 3742847, 6329471, 36099199, 6342527, 6375551, 6376575, 6377087, 6376575, 6388351,
    6393471, 6402687, 6399103, 6401919, 6413951, 6419071, 6420095, 6426751, 6429567, 6446463,
    6467967, 6476927, 6508671, 36375679, 6503807, 6487167, 6514815, 6521727, 6546559, 36434303,
    6562431, 6538623, 6531455, 3812991, 6580607, 6585983, 6593919, 6584191, 3828863, 6639487,
    6646911, 36702847, 6677375, 6748287, 6703487, 3873151, 6721919, 3868799, 3859583, 5345919,
    5346687, 6750335, 6724735, 8433023, 4446591, 6756223, 6757247, 6758783, 6774399, 6771583,
    36946815, 3885439, 6814335, 6784383, 6836863, 6849919, 36990335, 6852223, 6823807, 6886527,
    3906943, 6898303, 6923135, 6941311, 6989951, 37135231, 7003007, 3938431, 7020927, 37267327,
    7033983, 3952255, 7041663, 7053183, 7060095, 7060351, 37391743, 35457919, 37419647, 7097983,
    37534847, 7126911, 7130495, 7104383, 7149183, 7159423, 7174015, 7160191, 7170431, 7174271,
    7177599, 37559935, 7156863, 7221119, 7237247, 4010879, 7261055, 7260031, 37671295, 7207295,
    7302783, 37707391, 37719679, 7325311, 7354751, 7347839, 7347071, 4036223, 7359103, 7372159,
    7370623, 7384447, 33891711, 7423359, 37905279, 7445631, 37989247, 7481471, 7484799, 7491711,
    38144127, 7503999, 7509375, 38221183, 38278271, 7567999, 7572351, 4107391, 7579007, 4110463,
    4110463, 7620479, 7625855, 7631231, 7636351, 7654015, 4135807, 7677055, 38549119, 7683711,
    38572671, 7696511, 35757951, 7737471, 38773119, 38779007, 38814847, 4193407, 4196479, 7795839,
    38859647, 38859391, 38869375, 38876031, 7806591, 7806847, 7806847, 7817855, 4209023, 7834495,
    4212351, 4232831, 39067007, 7884415, 7900287, 7916671, 4252543, 39200383, 7951999, 39230079,
    39241087, 7966591, 7990143, 4271999, 8011903, 8014463, 8015743, 39419007, 39495551, 39495551,
    8056447, 4326015, 39562111, 8111743, 8112511, 4335487, 39616639, 8180351, 4366463, 8185983,
    8184703, 8192127, 39814783, 8217471, 4391295, 8243071, 8258175, 8275327, 4404351, 39987327,
    39995263, 4413823, 40032639, 8354431, 40058495, 8361343, 8387199, 8390015, 40163967, 40182655,
    8413311, 40216703, 8417407, 36921215, 4445567, 8434303, 8455039, 4459391, 8470143, 5944703,
    40347519, 40351103, 36934527, 36936831, 8520063, 8520831, 9412223, 4483967, 8556927, 8555391,
    8559999, 5419903, 8565119, 8565631, 8568191, 8578687, 40582271, 8578431, 8592767, 8610687,
    8629631, 8594303, 8633727, 8644479, 8673151, 8606591, 8637055, 8637567, 8641663, 40646271,
    40725375, 40686975, 4533119, 8712575, 8713087, 8722047, 41142911, 8742015, 40840319, 4545919,
    4546943, 40874367, 40948351, 4549503, 8802431, 8805503, 8808319, 8808831, 8825215, 8816767,
    8851071, 8839807, 8878463, 8857727, 8874879, 8881791, 4577151, 8905087, 8913279, 4585855,
    8937599, 8938367, 41314175, 8968063, 8969855, 4601215, 8977023, 3455871, 41463423, 41510527,
    4636287, 4638591, 9085055, 9104767, 9144959, 9196927, 41724031, 9218943, 9224575, 9247615,
    9271167, 41889663, 34079871, 9292671, 9288831, 9302143, 34135679, 9360511, 9386111, 42324607,
    42331519, 9475199, 9499007, 9507199, 42413695, 9509759, 9582719, 9623423, 9623679, 9600127,
    9697663, 9704831, 42728063, 9800575, 4822399, 9811839, 42825599, 4843135, 9880447, 6140543,
    9905023, 43074943, 43129471, 4877951, 4879999, 9953407, 43256447, 4895359, 43292287, 9964415,
    9964415, 9972095, 43366015, 10019455, 4928383, 10037631, 10069887, 10076799, 10092159, 4968063,
    43724927, 10162815, 10240127, 10288511, 5033599, 5041535, 10315647, 44093055, 5044351, 44107135,
    44174975, 44208511, 10402687, 5068415, 10418559, 10419839, 10421631, 10424191, 10425983,
    10435455, 44433535,
};
static const uint32_t nc_hlx__nfc_second[] = {
    768, 769, 770, 771, 776, 778, 807, 772, 774, 808, 775, 780, 779, 795, 783, 785, 806, 1619, 1620,
    1621, 2364, 2494, 2519, 2492, 2620, 2902, 2878, 2903, 2876, 3031, 3006, 3158, 3285, 3286, 3266,
    3390, 3415, 3530, 3535, 3551, 4023, 4021, 3954, 3956, 3968, 4142, 6965, 805, 803, 817, 813, 816,
    814, 804, 777, 787, 788, 834, 837, 824, 12441, 12442, 1460, 1463, 1473, 1474, 1464, 1468, 1465,
    1471, 69818, 69927, 70462, 70487, 70842, 70832, 70845, 71087, 119141, 119150, 119151, 119152,
    119153, 119154,
};
/* clang-format on */

/* What a character may do in NFC: 0 stays and begins anew, 1 .. 240 its combining class. */
enum { NC_HLX__NFC_JOINS = 254, NC_HLX__NFC_CHANGES = 255, NC_HLX__NFC_ALONE = 127 };

typedef struct nc_hlx__nfc {
    uint8_t kind[NC_HLX__UNICODE];
    nc__index pairs; /* decompositions by their pair */
} nc_hlx__nfc;

static uint32_t nc_hlx__nfc_hash(uint32_t first, uint32_t second) {
    return (uint32_t)nc__mix((uint64_t)first << 32 | second);
}

/* The number of the decomposition of a character, UINT32_MAX: none. */
static uint32_t nc_hlx__nfc_of(uint32_t code) {
    size_t from = 0, to = sizeof nc_hlx__nfc_runs / sizeof *nc_hlx__nfc_runs;
    while (to - from > 1) {
        const size_t middle = (from + to) / 2;
        if (nc_hlx__nfc_runs[middle][0] <= code)
            from = middle;
        else
            to = middle;
    }
    code -= nc_hlx__nfc_runs[from][0]; /* wraps before the first one */
    return code < nc_hlx__nfc_runs[from][1] ? nc_hlx__nfc_runs[from][2] + code : UINT32_MAX;
}

static void nc_hlx__nfc_free(nc_hlx__nfc *nfc, const nc_allocator *hooks) {
    if (nfc) nc__index_free(&nfc->pairs);
    nc__free(hooks, nfc, sizeof *nfc);
}

/* Null: out of memory. */
static NC_UNUSED nc_hlx__nfc *nc_hlx__nfc_new(const nc_allocator *hooks) {
    nc_hlx__nfc *nfc = (nc_hlx__nfc *)nc__calloc(hooks, sizeof *nfc);
    size_t run, i, at = 0;
    int ok = nfc != NULL;
    if (!nfc) return NULL;
    nfc->pairs.hooks = hooks;
    for (run = 0; run < sizeof nc_hlx__nfc_classes / sizeof *nc_hlx__nfc_classes; run += 2) {
        at += nc_hlx__nfc_classes[run];
        for (i = nc_hlx__nfc_classes[run + 1] >> 8; i; i--)
            nfc->kind[at++] = (uint8_t)(nc_hlx__nfc_classes[run + 1] & 255);
    }
    for (run = 0; run < sizeof nc_hlx__nfc_runs / sizeof *nc_hlx__nfc_runs; run++)
        for (i = 0; i < nc_hlx__nfc_runs[run][1] && ok; i++) {
            const uint32_t code = nc_hlx__nfc_runs[run][0] + (uint32_t)i;
            const uint32_t k = nc_hlx__nfc_runs[run][2] + (uint32_t)i;
            const uint32_t first = nc_hlx__nfc_parts[k] >> 8, kind = nc_hlx__nfc_parts[k] & 255;
            const uint32_t second = kind < NC_HLX__NFC_ALONE ? nc_hlx__nfc_second[kind] : 0;
            if (!second && !nfc->kind[code]) nfc->kind[code] = NC_HLX__NFC_CHANGES;
            if (second && !nfc->kind[second]) nfc->kind[second] = NC_HLX__NFC_JOINS;
            if (second) ok = nc__index_add(&nfc->pairs, nc_hlx__nfc_hash(first, second), code);
        }
    for (i = 0; i < 21; i++) nfc->kind[0x1161 + i] = NC_HLX__NFC_JOINS; /* vowels of Hangul */
    for (i = 1; i < 28; i++) nfc->kind[0x11A7 + i] = NC_HLX__NFC_JOINS; /* and last consonants */
    if (ok) return nfc;
    nc_hlx__nfc_free(nfc, hooks);
    return NULL;
}

static unsigned nc_hlx__nfc_kind(const nc_hlx__nfc *nfc, uint32_t code) {
    return code < NC_HLX__UNICODE ? nfc->kind[code] : 0;
}

/* The character that two become, 0 for none. */
static uint32_t nc_hlx__nfc_joined(const nc_hlx__nfc *nfc, uint32_t first, uint32_t second) {
    const uint32_t hash = nc_hlx__nfc_hash(first, second);
    size_t at = hash;
    uint32_t code;
    if (first - 0x1100 < 19 && second - 0x1161 < 21) /* Hangul: arithmetic */
        return 0xAC00 + ((first - 0x1100) * 21 + second - 0x1161) * 28;
    if (first - 0xAC00 < 11172 && (first - 0xAC00) % 28 == 0 && second - 0x11A8 < 27)
        return first + second - 0x11A7;
    while ((code = nc__index_next(&nfc->pairs, hash, &at)) != UINT32_MAX) {
        const uint32_t part = nc_hlx__nfc_parts[nc_hlx__nfc_of(code)];
        if (part >> 8 == first && nc_hlx__nfc_second[part & 127] == second) return code;
    }
    return 0;
}

/* A stretch of characters that is normalised: class 2^56 + place 2^21 + character of each, so that
 * order by class keeps that of places. */
static void nc_hlx__nfc_push(const nc_hlx__nfc *nfc, nc__buffer *stretch, uint32_t code) {
    const uint32_t k = nc_hlx__nfc_of(code), kind = nc_hlx__nfc_kind(nfc, code);
    const uint64_t place = stretch->used / sizeof place;
    uint64_t entry = (uint64_t)(kind < NC_HLX__NFC_JOINS ? kind : 0) << 56 | place << 21 | code;
    if (k == UINT32_MAX) {
        nc__buffer_put(stretch, &entry, sizeof entry);
        return;
    }
    nc_hlx__nfc_push(nfc, stretch, nc_hlx__nfc_parts[k] >> 8);
    if ((nc_hlx__nfc_parts[k] & 127) < NC_HLX__NFC_ALONE)
        nc_hlx__nfc_push(nfc, stretch, nc_hlx__nfc_second[nc_hlx__nfc_parts[k] & 127]);
}

static int nc_hlx__nfc_compare(const void *a, const void *b) {
    const uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;
    return (x > y) - (x < y);
}

/* Marks in the order of their classes, then joined to what they stand behind where nothing blocks
 * them; what is left as UTF-8. */
static void nc_hlx__nfc_put(const nc_hlx__nfc *nfc, nc__buffer *stretch, nc__buffer *out) {
    uint64_t *c = (uint64_t *)(void *)stretch->data;
    const size_t n = stretch->used / sizeof *c;
    const uint32_t mask = (1u << 21) - 1;
    size_t i, from, kept = 0, starter = SIZE_MAX;
    int last = -1; /* the class before, -1 directly behind the starter */
    for (i = 0; i < n; i = from + (from == i)) {
        for (from = i; from < n && c[from] >> 56; from++) {
        }
        if (from > i + 1) qsort(c + i, from - i, sizeof *c, nc_hlx__nfc_compare);
    }
    for (i = 0; i < n; i++) {
        const int kind = (int)(c[i] >> 56);
        uint32_t joined = 0;
        if (starter != SIZE_MAX && last < kind)
            joined = nc_hlx__nfc_joined(nfc, (uint32_t)c[starter] & mask, (uint32_t)c[i] & mask);
        if (joined) {
            c[starter] = joined;
            continue;
        }
        if (!kind) starter = kept;
        last = kind ? kind : -1;
        c[kept++] = c[i];
    }
    for (i = 0; i < kept; i++) {
        char bytes[4];
        nc__buffer_put(out, bytes, nc__utf8_put((uint32_t)c[i] & mask, bytes));
    }
}

/* A text in normalisation form C, behind what is in `out`. Bytes that are no UTF-8 stay. Where the
 * text is normalised already and `out` was empty, nothing is put there: 0. */
static int nc_hlx__normalize(const nc_hlx__nfc *nfc, const uint8_t *text, size_t bytes,
                             nc__buffer *out) {
    const uint8_t *end = text + bytes, *at = text, *last = text, *copied = text;
    nc__buffer stretch;
    size_t n;
    memset(&stretch, 0, sizeof stretch);
    stretch.hooks = out->hooks;
    while (at < end) {
        uint32_t code = nc_hlx__code_at(at, end, &n);
        if (!nc_hlx__nfc_kind(nfc, code)) {
            last = code == UINT32_MAX ? at + 1 : at;
            at += n;
            continue;
        }
        nc__buffer_put(out, copied, (size_t)(last - copied));
        stretch.used = 0;
        for (at = last; at < end; at += n) {
            code = nc_hlx__code_at(at, end, &n);
            if (at > last && !nc_hlx__nfc_kind(nfc, code)) break;
            nc_hlx__nfc_push(nfc, &stretch, code);
        }
        if (stretch.status == NC_OK) nc_hlx__nfc_put(nfc, &stretch, out);
        if (stretch.status != NC_OK) out->status = stretch.status;
        last = copied = at;
    }
    if (copied > text) nc__buffer_put(out, copied, (size_t)(end - copied));
    nc__buffer_free(&stretch);
    return copied > text;
}

/* -- pieces: merges stay inside them ----------------------------------------------- */

/* How a pattern cuts. `family`: 2 as GPT-2, 4 as cl100k, 5 as o200k; `digits`: most of a number,
 * for GPT-2 0 for all or 1, where a number also ends the text before it; `tail`: white space that
 * ends the text is one piece also where it holds line ends; `suffix`: a contraction ends its word;
 * `slash`: the line ends behind signs may be slashes too. */
typedef struct nc_hlx__pattern {
    const char *name;
    uint8_t family, digits, tail, suffix, slash;
    /* the forms in tokenizer.json, the first one is written; tiktoken's own form of cl100k means
     * something else there (Oniguruma's {1,3}+ and $) */
    const char *regex[2];
} nc_hlx__pattern;

#define NC_HLX__O200K(suffix, digits)                                                              \
    "[^\\r\\n\\p{L}\\p{N}]?[\\p{Lu}\\p{Lt}\\p{Lm}\\p{Lo}\\p{M}]*"                                  \
    "[\\p{Ll}\\p{Lm}\\p{Lo}\\p{M}]+" suffix "|[^\\r\\n\\p{L}\\p{N}]?"                              \
    "[\\p{Lu}\\p{Lt}\\p{Lm}\\p{Lo}\\p{M}]+[\\p{Ll}\\p{Lm}\\p{Lo}\\p{M}]*" suffix "|\\p{N}" digits  \
    "| ?[^\\s\\p{L}\\p{N}]+[\\r\\n/]*|\\s*[\\r\\n]+|\\s+(?!\\S)|\\s+"
#define NC_HLX__CL100K(digits, tail)                                                               \
    "(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\\r\\n\\p{L}\\p{N}]?\\p{L}+|\\p{N}" digits                     \
    "| ?[^\\s\\p{L}\\p{N}]+[\\r\\n]*|" tail "\\s*[\\r\\n]+|\\s+(?!\\S)|\\s+"
#define NC_HLX__CONTRACTIONS "(?i:'s|'t|'re|'ve|'m|'ll|'d)?"

static const nc_hlx__pattern nc_hlx__patterns[NC_HLX_PATTERNS] = {
    {"words", 0, 0, 0, 0, 0, {NULL, NULL}},
    {"gpt2",
     2,
     0,
     0,
     0,
     0,
     {"'s|'t|'re|'ve|'m|'ll|'d| ?\\p{L}+| ?\\p{N}+| ?[^\\s\\p{L}\\p{N}]+|\\s+(?!\\S)|\\s+",
      "'(?:[sdmt]|ll|ve|re)| ?\\p{L}+| ?\\p{N}+| ?[^\\s\\p{L}\\p{N}]+|\\s+(?!\\S)|\\s+"}},
    {"cl100k", 4, 3, 1, 0, 0, {NC_HLX__CL100K("{1,3}", "\\s+\\z|"), NULL}},
    {"llama3", 4, 3, 0, 0, 0, {NC_HLX__CL100K("{1,3}", ""), NULL}},
    {"qwen2", 4, 1, 0, 0, 0, {NC_HLX__CL100K("", ""), NULL}},
    {"o200k", 5, 3, 0, 1, 1, {NC_HLX__O200K(NC_HLX__CONTRACTIONS, "{1,3}"), NULL}},
    {"tekken", 5, 1, 0, 0, 1, {NC_HLX__O200K("", ""), NULL}},
    {"digits", 2, 1, 0, 0, 0, {NULL, NULL}},
};

#undef NC_HLX__O200K
#undef NC_HLX__CL100K
#undef NC_HLX__CONTRACTIONS

/* A text that is cut: the bits of characters, and its end. */
typedef struct nc_hlx__cut {
    const uint8_t *bits, *end;
    const nc_hlx__pattern *pattern;
} nc_hlx__cut;

/* The end of the run of characters at `at` that have one of the bits `some` and none of `none`;
 * with some = 0 the first condition is dropped. At most `most` characters. */
static const uint8_t *nc_hlx__run_of(const nc_hlx__cut *c, const uint8_t *at, unsigned some,
                                     unsigned none, size_t most) {
    for (; most && at < c->end; most--) {
        size_t n;
        const unsigned b = nc_hlx__bits_at(c->bits, at, c->end, &n);
        if ((some && !(b & some)) || (b & none)) break;
        at += n;
    }
    return at;
}

/* Behind 's 't 're 've 'm 'll 'd at `at`, else `at`. Where case is folded U+017F is an s too. */
static const uint8_t *nc_hlx__contraction(const nc_hlx__cut *c, const uint8_t *at, int fold) {
    const size_t room = (size_t)(c->end - at);
    const uint8_t bit = fold ? 0x20 : 0;
    if (room < 2 || *at != '\'') return at;
    if (strchr("sdmt", at[1] | bit) && at[1]) return at + 2;
    if (room < 3) return at;
    if (fold && at[1] == 0xC5 && at[2] == 0xBF) return at + 3;
    return ((at[1] | bit) == 'l' && (at[2] | bit) == 'l') ||
                   (((at[1] | bit) == 'r' || (at[1] | bit) == 'v') && (at[2] | bit) == 'e')
               ? at + 3
               : at;
}

/* White space: to its last line end (`lines`), else all at the end of the text, else all but the
 * last character, which goes to what follows. */
static const uint8_t *nc_hlx__blank(const nc_hlx__cut *c, const uint8_t *at, int lines) {
    const uint8_t *last = at, *line = NULL, *run = at;
    while (run < c->end) {
        size_t n;
        const unsigned b = nc_hlx__bits_at(c->bits, run, c->end, &n);
        if (!(b & NC_HLX__SPACE)) break;
        last = run;
        run += n;
        if (b & NC_HLX__LINE) line = run;
    }
    if (run == c->end && c->pattern->tail) return run;
    if (run < c->end && c->pattern->family == 2 && c->pattern->digits) {
        size_t n;
        if (nc_hlx__bits_at(c->bits, run, c->end, &n) & NC_HLX__NUMBER) return run;
    }
    if (lines && line) return line;
    return run == c->end || last == at ? run : last;
}

static const uint8_t *nc_hlx__piece_gpt2(const nc_hlx__cut *c, const uint8_t *at) {
    const unsigned word = NC_HLX__LETTER | NC_HLX__NUMBER;
    const uint8_t *from = nc_hlx__contraction(c, at, 0);
    unsigned b;
    size_t n;
    if (from > at) return from;
    from = at + (*at == ' ');
    b = nc_hlx__bits_at(c->bits, from, c->end, &n);
    if (from == c->end || (b & NC_HLX__SPACE)) return nc_hlx__blank(c, at, 0);
    if ((b & NC_HLX__NUMBER) && c->pattern->digits) return from > at ? from : at + n;
    if (b & word) return nc_hlx__run_of(c, from, b & word, 0, SIZE_MAX);
    return nc_hlx__run_of(c, from, 0, word | NC_HLX__SPACE, SIZE_MAX);
}

/* What cl100k and o200k do with all but words: numbers, signs and the line ends behind them, white
 * space. */
static const uint8_t *nc_hlx__piece_rest(const nc_hlx__cut *c, const uint8_t *at) {
    const uint8_t *from = at + (*at == ' ');
    size_t n;
    unsigned b = nc_hlx__bits_at(c->bits, at, c->end, &n);
    if (b & NC_HLX__NUMBER) return nc_hlx__run_of(c, at, NC_HLX__NUMBER, 0, c->pattern->digits);
    b = nc_hlx__bits_at(c->bits, from, c->end, &n);
    if (from == c->end || (b & (NC_HLX__SPACE | NC_HLX__LETTER | NC_HLX__NUMBER)))
        return nc_hlx__blank(c, at, 1);
    at = nc_hlx__run_of(c, from, 0, NC_HLX__SPACE | NC_HLX__LETTER | NC_HLX__NUMBER, SIZE_MAX);
    while (at < c->end && (*at == '\r' || *at == '\n' || (*at == '/' && c->pattern->slash))) at++;
    return at;
}

/* Whether the character at `at` may stand before a word: [^\r\n\p{L}\p{N}]; *n gets its bytes. */
static int nc_hlx__before_word(const nc_hlx__cut *c, const uint8_t *at, size_t *n) {
    return !(nc_hlx__bits_at(c->bits, at, c->end, n) &
             (NC_HLX__LINE | NC_HLX__LETTER | NC_HLX__NUMBER));
}

static const uint8_t *nc_hlx__piece_cl100k(const nc_hlx__cut *c, const uint8_t *at) {
    const uint8_t *from = nc_hlx__contraction(c, at, 1), *to;
    size_t n;
    if (from > at) return from;
    from = at + (nc_hlx__before_word(c, at, &n) ? n : 0);
    to = nc_hlx__run_of(c, from, NC_HLX__LETTER, 0, SIZE_MAX);
    return to > from ? to : nc_hlx__piece_rest(c, at);
}

/* [upper]*[lower]+ from `from`, null if it does not match: where nothing lower follows the upper
 * run, it gives back characters until one that is both follows. */
static const uint8_t *nc_hlx__word_lower(const nc_hlx__cut *c, const uint8_t *from) {
    const uint8_t *at = from, *both = NULL, *to;
    while (at < c->end) {
        size_t n;
        const unsigned b = nc_hlx__bits_at(c->bits, at, c->end, &n);
        if (!(b & NC_HLX__UPPER)) break;
        at += n;
        if (b & NC_HLX__LOWER) both = at;
    }
    to = nc_hlx__run_of(c, at, NC_HLX__LOWER, 0, SIZE_MAX);
    return to > at ? to : both;
}

static const uint8_t *nc_hlx__word_upper(const nc_hlx__cut *c, const uint8_t *from) {
    const uint8_t *to = nc_hlx__run_of(c, from, NC_HLX__UPPER, 0, SIZE_MAX);
    return to > from ? nc_hlx__run_of(c, to, NC_HLX__LOWER, 0, SIZE_MAX) : NULL;
}

static const uint8_t *nc_hlx__piece_o200k(const nc_hlx__cut *c, const uint8_t *at) {
    size_t n;
    const uint8_t *from = nc_hlx__before_word(c, at, &n) ? at + n : at;
    const uint8_t *to = nc_hlx__word_lower(c, from);
    if (!to) to = nc_hlx__word_lower(c, at);
    if (!to) to = nc_hlx__word_upper(c, from);
    if (!to) to = nc_hlx__word_upper(c, at);
    if (!to) return at ? nc_hlx__piece_rest(c, at) : at;
    return c->pattern->suffix ? nc_hlx__contraction(c, to, 1) : to;
}

/* -- the tokenizer ----------------------------------------------------------------- */

/* Tokens of bytes; texts of the vocabulary that stand for no bytes; texts outside of it. */
enum { NC_HLX__TOKEN_BYTES, NC_HLX__TOKEN_TEXT, NC_HLX__TOKEN_ADDED };

/* Where a token lies in `bytes`; length UINT32_MAX for an id without one. */
typedef struct nc_hlx__token {
    uint32_t at, length, kind;
} nc_hlx__token;

/* A token that is found in the text itself. late: searched in what the others have left. */
typedef struct nc_hlx__added {
    uint32_t id, special, late;
} nc_hlx__added;

/* Merge i makes token made[i] of pair[i] = first 2^32 + second. by_id: the token with the smaller
 * id is made first (tiktoken), else the merge with the smaller number. whole: a piece that is a
 * token is that token, whatever the merges make of it. own: learned here, ids are bytes, then
 * merges. */
struct nc_hlx_bpe {
    nc_allocator hooks;
    int custom_hooks;
    uint32_t pattern, by_id, whole, own, merges, ids, added_count, first_count, last_count;
    uint32_t byte_id[256], first[8], last[8]; /* tokens before and after a text */
    nc__index known, tokens;                  /* merges by their pair, tokens by their bytes */
    nc__buffer pairs, mades, places, bytes, added;
    const uint64_t *pair;
    const uint32_t *made;
    const nc_hlx__token *place;
    uint8_t *bits;    /* of characters; null where words are cut by bytes */
    nc_hlx__nfc *nfc; /* null: texts are taken as they are */
};

static nc_hlx_bpe *nc_hlx__bpe_new(const nc_allocator *hooks) {
    nc_hlx_bpe *bpe = (nc_hlx_bpe *)nc__calloc(hooks, sizeof *bpe);
    if (!bpe) return NULL;
    if (hooks) bpe->hooks = *hooks;
    bpe->custom_hooks = hooks != NULL;
    hooks = hooks ? &bpe->hooks : NULL;
    bpe->known.hooks = bpe->tokens.hooks = hooks;
    bpe->pairs.hooks = bpe->mades.hooks = bpe->places.hooks = hooks;
    bpe->bytes.hooks = bpe->added.hooks = hooks;
    memset(bpe->byte_id, 0xFF, sizeof bpe->byte_id);
    return bpe;
}

NC_API void nc_hlx_bpe_destroy(nc_hlx_bpe *bpe) {
    nc_allocator hooks;
    int custom;
    if (!bpe) return;
    nc__index_free(&bpe->known);
    nc__index_free(&bpe->tokens);
    nc__buffer_free(&bpe->pairs);
    nc__buffer_free(&bpe->mades);
    nc__buffer_free(&bpe->places);
    nc__buffer_free(&bpe->bytes);
    nc__buffer_free(&bpe->added);
    hooks = bpe->hooks;
    custom = bpe->custom_hooks;
    nc__free(custom ? &hooks : NULL, bpe->bits, NC_HLX__UNICODE);
    nc_hlx__nfc_free(bpe->nfc, custom ? &hooks : NULL);
    nc__free(custom ? &hooks : NULL, bpe, sizeof *bpe);
}

NC_API uint32_t nc_hlx_bpe_vocab(const nc_hlx_bpe *bpe) { return bpe->ids; }

NC_API uint32_t nc_hlx_bpe_pattern(const nc_hlx_bpe *bpe) { return bpe->pattern; }

NC_API int nc_hlx_bpe_nfc(const nc_hlx_bpe *bpe) { return bpe->nfc != NULL; }

NC_API size_t nc_hlx_bpe_room(const nc_hlx_bpe *bpe, size_t bytes) {
    bytes = nc__mul_size(bytes, bpe->nfc ? 3 : 1); /* annex 15, table 11 */
    return bytes > SIZE_MAX - 16 ? SIZE_MAX : bytes + 16;
}

/* Choose how texts are cut. 0: out of memory. */
static int nc_hlx__bpe_cut(nc_hlx_bpe *bpe, uint32_t pattern) {
    bpe->pattern = pattern;
    if (pattern == NC_HLX_PATTERN_WORDS || bpe->bits) return 1;
    bpe->bits = (uint8_t *)nc__alloc(bpe->known.hooks, NC_HLX__UNICODE);
    if (bpe->bits) nc_hlx__unicode_fill(bpe->bits);
    return bpe->bits != NULL;
}

/* The merge of a pair, or UINT32_MAX. */
static uint32_t nc_hlx__bpe_rank(const nc_hlx_bpe *bpe, uint64_t pair) {
    const uint32_t hash = (uint32_t)nc__mix(pair);
    size_t at = hash;
    uint32_t id;
    do id = nc__index_next(&bpe->known, hash, &at);
    while (id != UINT32_MAX && bpe->pair[id] != pair);
    return id;
}

static const uint8_t *nc_hlx__token_bytes(const nc_hlx_bpe *bpe, uint32_t id, uint32_t *length) {
    *length = bpe->place[id].length;
    return (const uint8_t *)bpe->bytes.data + bpe->place[id].at;
}

NC_API uint32_t nc_hlx_bpe_find(const nc_hlx_bpe *bpe, const void *text, size_t bytes) {
    const uint32_t hash = (uint32_t)nc__fnv1a(NC__FNV_START, text, bytes);
    size_t at = hash;
    uint32_t id, length;
    for (;;) {
        const uint8_t *token;
        id = nc__index_next(&bpe->tokens, hash, &at);
        if (id == UINT32_MAX) return id;
        token = nc_hlx__token_bytes(bpe, id, &length);
        if (length == bytes && (bytes == 0 || !memcmp(token, text, bytes))) return id;
    }
}

/* Give an id its bytes. The id is free, the bytes are no token's yet. */
static nc_status nc_hlx__bpe_token(nc_hlx_bpe *bpe, uint32_t id, uint32_t kind, const void *text,
                                   size_t bytes) {
    nc_hlx__token *place;
    if (bpe->bytes.used + bytes >= UINT32_MAX / 4) return NC_ERR_LIMIT;
    while (bpe->ids <= id) {
        place = (nc_hlx__token *)(void *)nc__buffer_add(&bpe->places, sizeof *place);
        if (!place) return NC_ERR_MEMORY;
        place->at = place->length = UINT32_MAX;
        bpe->ids++;
        bpe->place = (const nc_hlx__token *)(const void *)bpe->places.data;
    }
    nc__buffer_put(&bpe->bytes, text, bytes);
    if (bpe->bytes.status != NC_OK ||
        !nc__index_add(&bpe->tokens, (uint32_t)nc__fnv1a(NC__FNV_START, text, bytes), id))
        return NC_ERR_MEMORY;
    place = (nc_hlx__token *)(void *)bpe->places.data + id;
    place->at = (uint32_t)(bpe->bytes.used - bytes);
    place->length = (uint32_t)bytes;
    place->kind = kind;
    if (bytes == 1 && kind == NC_HLX__TOKEN_BYTES &&
        bpe->byte_id[*(const uint8_t *)text] == UINT32_MAX)
        bpe->byte_id[*(const uint8_t *)text] = id;
    return NC_OK;
}

/* Append a merge; the pair is new and all three tokens exist. 0: out of memory. */
static int nc_hlx__bpe_merge(nc_hlx_bpe *bpe, uint64_t pair, uint32_t made) {
    nc__buffer_put(&bpe->pairs, &pair, sizeof pair);
    nc__buffer_put(&bpe->mades, &made, sizeof made);
    if (bpe->pairs.status != NC_OK || bpe->mades.status != NC_OK) return 0;
    bpe->pair = (const uint64_t *)(const void *)bpe->pairs.data;
    bpe->made = (const uint32_t *)(const void *)bpe->mades.data;
    return nc__index_add(&bpe->known, (uint32_t)nc__mix(pair), bpe->merges++);
}

/* A tokenizer of the 256 bytes, whose merges make the ids that follow. */
static nc_hlx_bpe *nc_hlx__bpe_own(uint32_t pattern, const nc_allocator *hooks) {
    nc_hlx_bpe *bpe = nc_hlx__bpe_new(hooks);
    uint32_t i;
    int ok = bpe && nc_hlx__bpe_cut(bpe, pattern);
    for (i = 0; ok && i < 256; i++) {
        const uint8_t byte = (uint8_t)i;
        ok = nc_hlx__bpe_token(bpe, i, NC_HLX__TOKEN_BYTES, &byte, 1) == NC_OK;
    }
    if (ok) {
        bpe->own = 1;
        return bpe;
    }
    nc_hlx_bpe_destroy(bpe);
    return NULL;
}

/* Append a merge of two tokens that exist; a new token has the next id. */
static nc_status nc_hlx__bpe_add(nc_hlx_bpe *bpe, uint64_t pair) {
    uint8_t joined[2 * NC_HLX__TRAINED_PIECE];
    uint32_t left, right, made;
    const uint8_t *a = nc_hlx__token_bytes(bpe, (uint32_t)(pair >> 32), &left);
    const uint8_t *b = nc_hlx__token_bytes(bpe, (uint32_t)pair, &right);
    nc_status status = NC_OK;
    memcpy(joined, a, left);
    memcpy(joined + left, b, right);
    /* with a pattern tokens differ, as tokenizer.json wants them: the one that is there is made */
    made = bpe->pattern ? nc_hlx_bpe_find(bpe, joined, left + right) : UINT32_MAX;
    if (made == UINT32_MAX) {
        made = bpe->ids;
        status = nc_hlx__bpe_token(bpe, made, NC_HLX__TOKEN_BYTES, joined, left + right);
    }
    if (status == NC_OK && !nc_hlx__bpe_merge(bpe, pair, made)) status = NC_ERR_MEMORY;
    return status;
}

NC_API nc_status nc_hlx_bpe_add_special(nc_hlx_bpe *bpe, const char *text, uint32_t id) {
    nc_hlx__added added;
    nc_status status;
    size_t bytes, list;
    uint32_t ids;
    int is_new;
    if (!bpe || !text || !*text || id >= NC_HLX__IDS) return NC_ERR_ARG;
    is_new = id >= bpe->ids || bpe->place[id].length == UINT32_MAX;
    if (nc_hlx_bpe_find(bpe, text, strlen(text)) != (is_new ? UINT32_MAX : id)) return NC_ERR_ARG;
    ids = bpe->ids;
    bytes = bpe->bytes.used;
    list = bpe->added.used;
    added.id = id;
    added.special = 1;
    added.late = 0;
    nc__buffer_put(&bpe->added, &added, sizeof added);
    status = bpe->added.status;
    if (status == NC_OK && is_new) /* last: then nothing can fail that it has changed */
        status = nc_hlx__bpe_token(bpe, id, NC_HLX__TOKEN_ADDED, text, strlen(text));
    bpe->added_count += status == NC_OK;
    if (status != NC_OK) {
        bpe->ids = ids;
        nc__buffer_cut_back(&bpe->places, ids * sizeof(nc_hlx__token));
        nc__buffer_cut_back(&bpe->bytes, bytes);
        nc__buffer_cut_back(&bpe->added, list);
    }
    return status;
}

NC_API uint32_t nc_hlx_bpe_end(const nc_hlx_bpe *bpe) {
    static const char *const names[] = {"<|endoftext|>", "<|end_of_text|>", "</s>", "<EOT>",
                                        "<｜end▁of▁sentence｜>"};
    const nc_hlx__added *added = (const nc_hlx__added *)(const void *)bpe->added.data;
    size_t i, k;
    for (i = 0; i < sizeof names / sizeof *names; i++) {
        const uint32_t id = nc_hlx_bpe_find(bpe, names[i], strlen(names[i]));
        for (k = 0; k < bpe->added_count; k++)
            if (added[k].id == id) return id;
    }
    return UINT32_MAX;
}

static int nc_hlx__white(uint8_t c) { return c == ' ' || (c >= '\t' && c <= '\r'); }

/* Bytes from where the last character before text + n begins, at most 4. */
static size_t nc_hlx__last_character(const uint8_t *text, size_t n) {
    size_t back = 1;
    while (back < 4 && back < n && text[n - back] >> 6 == 2) back++;
    return back;
}

/* n, or what is left of it without the character that ends behind it: where to cut a text. */
static size_t nc_hlx__border(const uint8_t *text, size_t bytes, size_t n) {
    const size_t back = nc_hlx__last_character(text, n), room = bytes - n + back;
    return n < bytes && back < n && nc__utf8(text + n - back, room) > back ? n - back : n;
}

/* Length of the piece at the start of text, of 1 byte at least. */
static size_t nc_hlx__piece(const nc_hlx_bpe *bpe, const uint8_t *text, size_t bytes) {
    nc_hlx__cut c;
    size_t n = 1;
    c.bits = bpe->bits;
    c.end = text + bytes;
    c.pattern = &nc_hlx__patterns[bpe->pattern];
    if (c.pattern->family == 2) return (size_t)(nc_hlx__piece_gpt2(&c, text) - text);
    if (c.pattern->family == 4) return (size_t)(nc_hlx__piece_cl100k(&c, text) - text);
    if (c.pattern->family == 5) return (size_t)(nc_hlx__piece_o200k(&c, text) - text);
    while (n < bytes && n < NC_HLX__WORD &&
           !(nc_hlx__white(text[n]) && !nc_hlx__white(text[n - 1])))
        n++;
    return n < NC_HLX__WORD ? n : nc_hlx__border(text, bytes, n);
}

/* -- encoding ---------------------------------------------------------------------- */

/* What decides which of two merges comes first; UINT32_MAX: no merge. */
static uint32_t nc_hlx__merge_order(const nc_hlx_bpe *bpe, uint32_t left, uint32_t right,
                                    uint32_t *made) {
    const uint32_t merge = nc_hlx__bpe_rank(bpe, (uint64_t)left << 32 | right);
    if (merge == UINT32_MAX) return merge;
    *made = bpe->made[merge];
    return bpe->by_id ? *made : merge;
}

enum { NC_HLX__SHORT = 96 }; /* bytes of a piece up to which looking at all pairs is quick */

/* Merge n tokens where they lie, the first of the smallest order each time. */
static size_t nc_hlx__merge_short(const nc_hlx_bpe *bpe, uint32_t *t, size_t n) {
    uint32_t order[NC_HLX__SHORT], made[NC_HLX__SHORT];
    size_t i, best;
    for (i = 0; i + 1 < n; i++) order[i] = nc_hlx__merge_order(bpe, t[i], t[i + 1], &made[i]);
    for (; n > 1; n--) {
        for (best = 0, i = 1; i + 1 < n; i++)
            if (order[i] < order[best]) best = i;
        if (order[best] == UINT32_MAX) break;
        t[best] = made[best];
        memmove(t + best + 1, t + best + 2, (n - best - 2) * sizeof *t);
        if (best + 2 < n) {
            memmove(order + best, order + best + 1, (n - best - 2) * sizeof *order);
            memmove(made + best, made + best + 1, (n - best - 2) * sizeof *made);
            order[best] = nc_hlx__merge_order(bpe, t[best], t[best + 1], &made[best]);
        }
        if (best) order[best - 1] = nc_hlx__merge_order(bpe, t[best - 1], t[best], &made[best - 1]);
    }
    return n;
}

/* The same without memory: for when there is none. */
static size_t nc_hlx__merge_slowly(const nc_hlx_bpe *bpe, uint32_t *t, size_t n) {
    for (; n > 1; n--) {
        uint32_t least = UINT32_MAX, made = 0, token = 0;
        size_t i, best = 0;
        for (i = 0; i + 1 < n; i++) {
            const uint32_t order = nc_hlx__merge_order(bpe, t[i], t[i + 1], &made);
            if (order >= least) continue;
            least = order;
            best = i;
            token = made;
        }
        if (least == UINT32_MAX) break;
        t[best] = token;
        memmove(t + best + 1, t + best + 2, (n - best - 2) * sizeof *t);
    }
    return n;
}

/* Tokens of a long piece as a list, and a heap of its pairs: order * 2^32 + place. An entry counts
 * while the pair at its place still has that order. */
typedef struct nc_hlx__list {
    uint32_t *next, *previous, *order;
    uint64_t *heap;
    size_t used;
} nc_hlx__list;

static void nc_hlx__heap_push(nc_hlx__list *l, uint64_t value) {
    size_t at = l->used++;
    while (at && l->heap[(at - 1) / 2] > value) {
        l->heap[at] = l->heap[(at - 1) / 2];
        at = (at - 1) / 2;
    }
    l->heap[at] = value;
}

static uint64_t nc_hlx__heap_pop(nc_hlx__list *l) {
    const uint64_t least = l->heap[0], value = l->heap[--l->used];
    size_t at = 0, child;
    while ((child = 2 * at + 1) < l->used) {
        child += child + 1 < l->used && l->heap[child + 1] < l->heap[child];
        if (l->heap[child] >= value) break;
        l->heap[at] = l->heap[child];
        at = child;
    }
    l->heap[at] = value;
    return least;
}

/* The pair that begins at a place has changed. */
static void nc_hlx__list_pair(const nc_hlx_bpe *bpe, nc_hlx__list *l, const uint32_t *t,
                              uint32_t at, uint32_t n) {
    uint32_t made;
    l->order[at] =
        l->next[at] < n ? nc_hlx__merge_order(bpe, t[at], t[l->next[at]], &made) : UINT32_MAX;
    if (l->order[at] != UINT32_MAX) nc_hlx__heap_push(l, (uint64_t)l->order[at] << 32 | at);
}

static size_t nc_hlx__merge_long(const nc_hlx_bpe *bpe, uint32_t *t, uint32_t n) {
    /* n pairs at first, and at most two new ones with each of n - 1 merges */
    const size_t bytes = nc__mul_size(n, 3 * sizeof(uint64_t) + 3 * sizeof(uint32_t));
    nc_hlx__list l;
    uint32_t i, kept = 0;
    l.heap = (uint64_t *)nc__alloc(bpe->known.hooks, bytes);
    if (!l.heap) return nc_hlx__merge_slowly(bpe, t, n);
    l.next = (uint32_t *)(void *)(l.heap + 3 * (size_t)n);
    l.previous = l.next + n;
    l.order = l.previous + n;
    l.used = 0;
    for (i = 0; i < n; i++) {
        l.next[i] = i + 1;
        l.previous[i] = i - 1; /* of the first: UINT32_MAX */
        nc_hlx__list_pair(bpe, &l, t, i, n);
    }
    while (l.used) {
        const uint64_t top = nc_hlx__heap_pop(&l);
        const uint32_t at = (uint32_t)top, right = l.next[at];
        if (l.order[at] != top >> 32) continue;
        (void)nc_hlx__merge_order(bpe, t[at], t[right], &t[at]);
        l.order[right] = UINT32_MAX;
        l.next[at] = l.next[right];
        if (l.next[at] < n) l.previous[l.next[at]] = at;
        nc_hlx__list_pair(bpe, &l, t, at, n);
        if (l.previous[at] < n) nc_hlx__list_pair(bpe, &l, t, l.previous[at], n);
    }
    for (i = 0; i < n; i = l.next[i]) t[kept++] = t[i];
    nc__free(bpe->known.hooks, l.heap, bytes);
    return kept;
}

/* Tokens of one piece; returns their number. */
static size_t nc_hlx__encode_piece(const nc_hlx_bpe *bpe, const uint8_t *text, size_t n,
                                   uint32_t *tokens) {
    size_t i;
    if (bpe->whole || n == 1) {
        const uint32_t id = n == 1 ? bpe->byte_id[*text] : nc_hlx_bpe_find(bpe, text, n);
        tokens[0] = id;
        if (id != UINT32_MAX && bpe->place[id].kind == NC_HLX__TOKEN_BYTES) return 1;
    }
    for (i = 0; i < n; i++) tokens[i] = bpe->byte_id[text[i]];
    if (n <= NC_HLX__SHORT) return nc_hlx__merge_short(bpe, tokens, n);
    if (n >> 31) return nc_hlx__merge_slowly(bpe, tokens, n);
    return nc_hlx__merge_long(bpe, tokens, (uint32_t)n);
}

/* A piece that has been encoded: where it stands in the text, and its tokens in the result. */
typedef struct nc_hlx__seen {
    const uint8_t *text;
    const uint32_t *tokens;
    uint32_t bytes, count;
} nc_hlx__seen;

enum { NC_HLX__SEEN = 8192, NC_HLX__SEEN_FROM = 2048 };

/* A text that is encoded: where the next token goes, and the pieces seen so far. */
typedef struct nc_hlx__encoding {
    const nc_hlx_bpe *bpe;
    uint32_t *to;
    nc_hlx__seen *seen; /* null: none are kept */
    int special, failed;
} nc_hlx__encoding;

/* Text in which no token is searched as such. */
static void nc_hlx__encode_plain(nc_hlx__encoding *e, const uint8_t *text, size_t bytes) {
    size_t n;
    for (; bytes; text += n, bytes -= n) {
        nc_hlx__seen *s;
        uint64_t hash = 0;
        n = nc_hlx__piece(e->bpe, text, bytes);
        if (!e->seen || n < 3 || n > NC_HLX__SHORT) {
            e->to += nc_hlx__encode_piece(e->bpe, text, n, e->to);
            continue;
        }
        memcpy(&hash, text, n < 8 ? n : 8);
        if (n > 8) hash = nc__mix(hash) ^ nc__fnv1a(n, text + 8, n - 8);
        s = &e->seen[nc__mix(hash) % NC_HLX__SEEN];
        if (s->bytes == n && !memcmp(s->text, text, n)) {
            memcpy(e->to, s->tokens, s->count * sizeof *e->to);
        } else {
            s->text = text;
            s->tokens = e->to;
            s->bytes = (uint32_t)n;
            s->count = (uint32_t)nc_hlx__encode_piece(e->bpe, text, n, e->to);
        }
        e->to += s->count;
    }
}

/* The first place where a token of this kind stands, the longest there: *length is its bytes. */
static size_t nc_hlx__find_added(const nc_hlx__encoding *e, const uint8_t *text, size_t bytes,
                                 uint32_t late, uint32_t *id, size_t *length) {
    const nc_hlx_bpe *bpe = e->bpe;
    const nc_hlx__added *added = (const nc_hlx__added *)(const void *)bpe->added.data;
    uint8_t starts[256] = {0};
    size_t at, k;
    uint32_t n;
    *length = 0;
    for (k = 0; k < bpe->added_count; k++)
        if (added[k].late == late && (e->special || !added[k].special))
            starts[*nc_hlx__token_bytes(bpe, added[k].id, &n)] = 1;
    for (at = 0; at < bytes && !*length; at++) {
        if (!starts[text[at]]) continue;
        for (k = 0; k < bpe->added_count; k++) {
            const uint8_t *token = nc_hlx__token_bytes(bpe, added[k].id, &n);
            if (added[k].late != late || (!e->special && added[k].special)) continue;
            if (n <= *length || n > bytes - at || memcmp(text + at, token, n)) continue;
            *length = n;
            *id = added[k].id;
        }
    }
    return at - (*length != 0);
}

static void nc_hlx__encode_around(nc_hlx__encoding *e, const uint8_t *text, size_t bytes,
                                  uint32_t late);

/* Between the tokens that are searched first: normalised, then around those that are late. */
static void nc_hlx__encode_between(nc_hlx__encoding *e, const uint8_t *text, size_t bytes) {
    nc__buffer normal;
    memset(&normal, 0, sizeof normal);
    normal.hooks = e->bpe->known.hooks;
    if (e->bpe->nfc && nc_hlx__normalize(e->bpe->nfc, text, bytes, &normal)) {
        text = (const uint8_t *)normal.data;
        bytes = normal.used;
        e->failed |= normal.status != NC_OK;
    }
    if (e->failed) bytes = 0;
    if (bytes && !e->bpe->added_count)
        nc_hlx__encode_plain(e, text, bytes);
    else if (bytes)
        nc_hlx__encode_around(e, text, bytes, 1);
    if (normal.data && e->seen) memset(e->seen, 0, NC_HLX__SEEN * sizeof *e->seen);
    nc__buffer_free(&normal);
}

static void nc_hlx__encode_around(nc_hlx__encoding *e, const uint8_t *text, size_t bytes,
                                  uint32_t late) {
    while (bytes) {
        uint32_t id = 0;
        size_t length = 0, at = bytes;
        if (e->bpe->added_count) at = nc_hlx__find_added(e, text, bytes, late, &id, &length);
        if (late)
            nc_hlx__encode_plain(e, text, at);
        else
            nc_hlx__encode_between(e, text, at);
        if (length) *e->to++ = id;
        text += at + length;
        bytes -= at + length;
    }
}

static size_t nc_hlx__encode(const nc_hlx_bpe *bpe, const void *text, size_t bytes, int special,
                             uint32_t *tokens) {
    nc_hlx__encoding e;
    memset(&e, 0, sizeof e);
    e.bpe = bpe;
    e.to = tokens;
    e.special = special;
    if (bytes >= NC_HLX__SEEN_FROM)
        e.seen = (nc_hlx__seen *)nc__calloc(bpe->known.hooks, NC_HLX__SEEN * sizeof *e.seen);
    nc_hlx__encode_around(&e, (const uint8_t *)text, bytes, 0);
    nc__free(bpe->known.hooks, e.seen, NC_HLX__SEEN * sizeof *e.seen);
    return e.failed ? SIZE_MAX : (size_t)(e.to - tokens);
}

/* Whether a piece that ends here stays as it is with nothing behind it: words do, and patterns look
 * beyond white space alone. */
static int nc_hlx__stands_alone(const nc_hlx_bpe *bpe, const uint8_t *text, size_t n) {
    const uint8_t *last = text + n - nc_hlx__last_character(text, n);
    size_t length;
    return !bpe->pattern || !(nc_hlx__bits_at(bpe->bits, last, text + n, &length) & NC_HLX__SPACE);
}

/* The same where characters are normalised: a line ends that is not empty, and the next begins with
 * a letter that joins nothing. */
static int nc_hlx__line_stands_alone(const nc_hlx_bpe *bpe, const uint8_t *text, size_t n,
                                     size_t bytes) {
    const uint8_t *end = text + bytes;
    size_t length;
    if (n < 2 || n == bytes || text[n - 1] != '\n') return n == bytes;
    return nc_hlx__stands_alone(bpe, text, n - 1) &&
           (nc_hlx__bits_at(bpe->bits, text + n, end, &length) & NC_HLX__LETTER) &&
           !nc_hlx__nfc_kind(bpe->nfc, nc_hlx__code_at(text + n, end, &length));
}

/* Length of a beginning of the text, of 64 KiB or more, that gives the same tokens on its own, or
 * of all where tokens are found in the text itself. */
static NC_UNUSED size_t nc_hlx__bpe_part(const nc_hlx_bpe *bpe, const uint8_t *text, size_t bytes) {
    const nc_hlx__added *added = (const nc_hlx__added *)(const void *)bpe->added.data;
    size_t n = 0;
    uint32_t k;
    for (k = 0; k < bpe->added_count; k++)
        if (!added[k].special) return bytes;
    if (bpe->nfc) {
        n = nc_hlx__min(bytes, 65536);
        while (!nc_hlx__line_stands_alone(bpe, text, n, bytes)) n++;
        return n;
    }
    while (n < bytes && (n < 65536 || !nc_hlx__stands_alone(bpe, text, n)))
        n += nc_hlx__piece(bpe, text + n, bytes - n);
    return n;
}

NC_API size_t nc_hlx_bpe_encode(const nc_hlx_bpe *bpe, const void *text, size_t bytes,
                                uint32_t *tokens) {
    return nc_hlx__encode(bpe, text, bytes, 0, tokens);
}

NC_API size_t nc_hlx_bpe_encode_document(const nc_hlx_bpe *bpe, const void *text, size_t bytes,
                                         uint32_t *tokens) {
    size_t n = bpe->first_count;
    memcpy(tokens, bpe->first, n * sizeof *tokens);
    bytes = nc_hlx__encode(bpe, text, bytes, 1, tokens + n);
    if (bytes == SIZE_MAX) return bytes;
    n += bytes;
    memcpy(tokens + n, bpe->last, bpe->last_count * sizeof *tokens);
    return n + bpe->last_count;
}

NC_API nc_status nc_hlx_bpe_decode(const nc_hlx_bpe *bpe, const uint32_t *tokens, size_t n,
                                   uint8_t *out, size_t room, size_t *written) {
    size_t i;
    *written = 0;
    for (i = 0; i < n; i++)
        if (tokens[i] >= bpe->ids || bpe->place[tokens[i]].length == UINT32_MAX)
            return NC_ERR_FORMAT;
    for (i = 0; i < n; i++) {
        uint32_t length;
        const uint8_t *bytes = nc_hlx__token_bytes(bpe, tokens[i], &length);
        const size_t left = *written < room ? room - *written : 0;
        if (left) memcpy(out + *written, bytes, length < left ? length : left);
        *written += length;
    }
    return NC_OK;
}

NC_API size_t nc_hlx_utf8_whole(const void *text, size_t bytes) {
    const uint8_t *at = (const uint8_t *)text;
    static const uint8_t rest[3] = {0x80, 0x80, 0x80};
    size_t back;
    for (back = 1; back <= 3 && back <= bytes; back++) {
        uint8_t character[6];
        size_t fill;
        memcpy(character, at + bytes - back, back);
        if (character[0] < 0x80) break;
        if (character[0] < 0xC0) continue;
        for (fill = 0; fill < 3; fill++) { /* would it be whole with what may still come? */
            memcpy(character + back, rest, sizeof rest);
            if (back == 1) /* second bytes are limited after these (nc__utf8) */
                character[1] = character[0] == 0xE0 ? 0xA0 : character[0] == 0xF0 ? 0x90 : 0x80;
            if (nc__utf8(character, back + fill + 1) == back + fill + 1) return bytes - back;
        }
        break;
    }
    return bytes;
}

static uint64_t nc_hlx__hash_word(uint64_t hash, uint64_t value) {
    uint8_t word[8];
    nc__put_le(word, value, 8);
    return nc__fnv1a(hash, word, sizeof word);
}

NC_API uint64_t nc_hlx_bpe_digest(const nc_hlx_bpe *bpe) {
    const nc_hlx__added *added = (const nc_hlx__added *)(const void *)bpe->added.data;
    uint64_t hash = NC__FNV_START;
    uint32_t i, length;
    for (i = 0; i < bpe->merges; i++) hash = nc_hlx__hash_word(hash, bpe->pair[i]);
    if (bpe->own && !bpe->pattern && !bpe->added_count) return hash; /* all else follows */
    if (bpe->nfc) hash = nc_hlx__hash_word(hash, 0x43464E);          /* NFC */
    hash = nc_hlx__hash_word(hash, bpe->pattern);
    hash = nc_hlx__hash_word(hash, (uint64_t)bpe->by_id << 32 | bpe->whole);
    for (i = 0; i < bpe->ids; i++) {
        const uint8_t *bytes = nc_hlx__token_bytes(bpe, i, &length);
        hash = nc_hlx__hash_word(hash, length);
        if (length != UINT32_MAX) hash = nc__fnv1a(hash, bytes, length);
    }
    for (i = 0; i < bpe->added_count; i++) {
        hash = nc_hlx__hash_word(hash, added[i].id);
        hash = nc_hlx__hash_word(hash, (uint64_t)added[i].special << 32 | added[i].late);
    }
    for (i = 0; i < bpe->first_count; i++) hash = nc_hlx__hash_word(hash, bpe->first[i]);
    for (i = 0; i < bpe->last_count; i++) hash = nc_hlx__hash_word(hash, ~(uint64_t)bpe->last[i]);
    return hash;
}

/* -- learning merges --------------------------------------------------------------- */

/* Length of the piece at the start of a text from which merges are learned: a long one is cut, at
 * the border of a character. */
static size_t nc_hlx__trained_piece(const nc_hlx_bpe *bpe, const uint8_t *text, size_t bytes) {
    const size_t n = nc_hlx__piece(bpe, text, bytes);
    return n <= NC_HLX__TRAINED_PIECE ? n : nc_hlx__border(text, bytes, NC_HLX__TRAINED_PIECE);
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

typedef struct nc_hlx__word {
    size_t start, count; /* of its tokens; how often it stands in the text */
    size_t length;       /* in tokens, now */
} nc_hlx__word;

/* Different words of a text. */
typedef struct nc_hlx__words {
    nc__buffer tokens, list; /* uint32_t; nc_hlx__word */
    nc__index known;
    size_t n;
} nc_hlx__words;

static nc_hlx__word *nc_hlx__word_list(const nc_hlx__words *w) {
    return (nc_hlx__word *)(void *)w->list.data;
}

static uint32_t *nc_hlx__word_tokens(const nc_hlx__words *w) {
    return (uint32_t *)(void *)w->tokens.data;
}

/* Count one more of a word. 0: out of memory. */
static int nc_hlx__add_word(nc_hlx__words *w, const uint8_t *text, size_t n) {
    const uint32_t hash = (uint32_t)nc__fnv1a(NC__FNV_START, text, n);
    nc_hlx__word *list = nc_hlx__word_list(w), word;
    uint32_t k, *tokens = nc_hlx__word_tokens(w);
    size_t at = hash, i;
    while ((k = nc__index_next(&w->known, hash, &at)) != UINT32_MAX) {
        if (list[k].length != n) continue;
        for (i = 0; i < n && tokens[list[k].start + i] == text[i]; i++) {
        }
        if (i < n) continue;
        list[k].count++;
        return 1;
    }
    if (w->n >= UINT32_MAX || !nc__index_add(&w->known, hash, (uint32_t)w->n)) return 0;
    word.start = w->tokens.used / sizeof *tokens;
    word.count = 1;
    word.length = n;
    nc__buffer_put(&w->list, &word, sizeof word);
    tokens = (uint32_t *)(void *)nc__buffer_add(&w->tokens, n * sizeof *tokens);
    if (!tokens || w->list.status != NC_OK) return 0;
    for (i = 0; i < n; i++) tokens[i] = text[i];
    w->n++;
    return 1;
}

/* Counts of pairs: open addressing, the key + 1 so that 0 is empty. */
typedef struct nc_hlx__pairs {
    uint64_t *key;
    size_t *count;
    size_t slots;
} nc_hlx__pairs;

/* The most frequent pair, smallest first among equals; 0 when none occurs twice. */
static int nc_hlx__best_pair(const nc_hlx__words *w, nc_hlx__pairs *p, uint64_t *best) {
    const nc_hlx__word *word = nc_hlx__word_list(w), *end = word + w->n;
    size_t i, at, most = 1;
    memset(p->key, 0, p->slots * sizeof *p->key);
    for (; word < end; word++)
        for (i = 0; i + 1 < word->length; i++) {
            const uint32_t *t = nc_hlx__word_tokens(w) + word->start + i;
            uint64_t key = ((uint64_t)t[0] << 32 | t[1]) + 1;
            at = (size_t)nc__mix(key) & (p->slots - 1);
            while (p->key[at] && p->key[at] != key) at = (at + 1) & (p->slots - 1);
            p->count[at] = (p->key[at] ? p->count[at] : 0) + word->count;
            p->key[at] = key;
            if (p->count[at] > most || (p->count[at] == most && most > 1 && key - 1 < *best)) {
                most = p->count[at];
                *best = key - 1;
            }
        }
    return most > 1;
}

/* Merges until there are `vocab` tokens, or no pair occurs twice. */
static nc_status nc_hlx__merge_words(nc_hlx_bpe *made, const nc_hlx__words *w, nc_hlx__pairs *p,
                                     uint32_t vocab, nc_progress_fn progress, void *user) {
    nc_status status = NC_OK;
    while (made->ids < vocab && status == NC_OK) {
        nc_hlx__word *word = nc_hlx__word_list(w), *end = word + w->n;
        uint64_t best = 0;
        if (!nc_hlx__best_pair(w, p, &best)) break;
        status = nc_hlx__bpe_add(made, best);
        for (; word < end && status == NC_OK; word++)
            word->length = nc_hlx__merge(nc_hlx__word_tokens(w) + word->start, word->length, best,
                                         made->made[made->merges - 1]);
        if (status == NC_OK && progress && progress(user, made->ids - 256, vocab - 256))
            status = NC_ERR_CANCELLED;
    }
    return status;
}

/* The merges of these words, with memory that follows from what is different among them. */
static nc_status nc_hlx__learn(nc_hlx_bpe *made, const nc_hlx__words *w, uint32_t vocab,
                               nc_progress_fn progress, void *user) {
    const nc_allocator *hooks = made->known.hooks;
    const size_t tokens = w->tokens.used / sizeof(uint32_t);
    nc_status status = NC_ERR_MEMORY;
    nc_hlx__pairs p;
    size_t keys, counts;
    for (p.slots = 64; p.slots < 2 * tokens;) p.slots *= 2; /* as many pairs at most: half full */
    keys = nc__mul_size(p.slots, sizeof *p.key);
    counts = nc__mul_size(p.slots, sizeof *p.count);
    p.key = (uint64_t *)nc__alloc(hooks, keys);
    p.count = (size_t *)nc__alloc(hooks, counts);
    if (p.key && p.count) status = nc_hlx__merge_words(made, w, &p, vocab, progress, user);
    nc__free(hooks, p.key, keys);
    nc__free(hooks, p.count, counts);
    return status;
}

NC_API nc_status nc_hlx_bpe_train_pattern(nc_hlx_bpe **bpe, const void *text, size_t bytes,
                                          uint32_t vocab, uint32_t pattern,
                                          const nc_allocator *hooks, nc_progress_fn progress,
                                          void *user) {
    const uint8_t *from = (const uint8_t *)text;
    nc_hlx__words w;
    nc_status status;
    nc_hlx_bpe *made;
    size_t at, k;
    if (!bpe) return NC_ERR_ARG;
    *bpe = NULL;
    if ((bytes && !text) || vocab < 256 || vocab > NC_HLX__BPE_LIMIT || pattern >= NC_HLX_PATTERNS)
        return NC_ERR_ARG;
    made = nc_hlx__bpe_own(pattern, hooks);
    memset(&w, 0, sizeof w);
    w.tokens.hooks = w.list.hooks = w.known.hooks = hooks;
    status = made ? NC_OK : NC_ERR_MEMORY;
    for (at = 0; at < bytes && status == NC_OK; at += k) {
        k = nc_hlx__trained_piece(made, from + at, bytes - at);
        if (!nc_hlx__add_word(&w, from + at, k)) status = NC_ERR_MEMORY;
    }
    if (status == NC_OK) status = nc_hlx__learn(made, &w, vocab, progress, user);
    nc__buffer_free(&w.tokens);
    nc__buffer_free(&w.list);
    nc__index_free(&w.known);
    if (status == NC_OK)
        *bpe = made;
    else
        nc_hlx_bpe_destroy(made);
    return status;
}

NC_API nc_status nc_hlx_bpe_train(nc_hlx_bpe **bpe, const void *text, size_t bytes, uint32_t vocab,
                                  const nc_allocator *hooks, nc_progress_fn progress, void *user) {
    return nc_hlx_bpe_train_pattern(bpe, text, bytes, vocab, NC_HLX_PATTERN_WORDS, hooks, progress,
                                    user);
}

#ifndef NC_NO_STDIO
/* -- our own file, little-endian: 8 bytes magic, u32 version, u32 merges, from version 2 on u32
 * pattern and u32 0, then two u32 a merge, then FNV-1a (64 bits) of everything before it. Words are
 * written as version 1. With a pattern several merges may make one token: they can be more than the
 * tokens. */
#define NC_HLX__BPE_MAGIC "NCHLXBPE"

static void nc_hlx__bpe_write_own(const nc_hlx_bpe *bpe, nc__buffer *b) {
    uint32_t i;
    nc__buffer_put(b, NC_HLX__BPE_MAGIC, 8);
    nc__buffer_le(b, bpe->pattern ? 2 : 1, 4);
    nc__buffer_le(b, bpe->merges, 4);
    if (bpe->pattern) nc__buffer_le(b, bpe->pattern, 8);
    for (i = 0; i < bpe->merges; i++) {
        nc__buffer_le(b, bpe->pair[i] >> 32, 4);
        nc__buffer_le(b, bpe->pair[i] & UINT32_MAX, 4);
    }
    if (b->status == NC_OK) nc__buffer_le(b, nc__fnv1a(NC__FNV_START, b->data, b->used), 8);
}

static nc_status nc_hlx__bpe_read_own(nc_hlx_bpe **made, const uint8_t *data, size_t bytes,
                                      const nc_allocator *hooks, nc_error *err) {
    const uint64_t version = bytes >= 24 ? nc__get_le(data + 8, 4) : 0;
    const size_t head = version == 2 ? 24 : 16;
    const uint64_t count = bytes >= 24 ? nc__get_le(data + 12, 4) : 0;
    const uint64_t pattern = version == 2 ? nc__get_le(data + 16, 8) : 0;
    const uint32_t most = pattern ? NC_HLX__TRAINED_PIECE : NC_HLX__WORD;
    nc_status status = NC_OK;
    size_t i;
    if ((version != 1 && version != 2) || bytes != head + 8 + 8 * count ||
        pattern >= NC_HLX_PATTERNS || (version == 2 && !pattern))
        return nc__fail(err, NC_ERR_FORMAT, 0, 0, "not a whole nc_hlx tokenizer of version 1 or 2");
    if (nc__get_le(data + bytes - 8, 8) != nc__fnv1a(NC__FNV_START, data, bytes - 8))
        return nc__fail(err, NC_ERR_MISMATCH, 0, 0, "tokenizer checksum does not match");
    *made = nc_hlx__bpe_own((uint32_t)pattern, hooks);
    if (!*made) return nc__fail(err, NC_ERR_MEMORY, 0, 0, "out of memory");
    for (i = 0; status == NC_OK && i < count; i++) {
        const uint64_t a = nc__get_le(data + head + 8 * i, 4);
        const uint64_t b = nc__get_le(data + head + 4 + 8 * i, 4);
        if (a >= (*made)->ids || b >= (*made)->ids ||
            nc_hlx__bpe_rank(*made, a << 32 | b) != UINT32_MAX ||
            (*made)->place[a].length + (*made)->place[b].length > most)
            return nc__fail(err, NC_ERR_FORMAT, 0, 0, "merge %lu is impossible", (unsigned long)i);
        status = nc_hlx__bpe_add(*made, a << 32 | b);
        if ((*made)->ids > NC_HLX__BPE_LIMIT)
            return nc__fail(err, NC_ERR_FORMAT, 0, 0, "more than %d tokens",
                            (int)NC_HLX__BPE_LIMIT);
    }
    return status == NC_OK ? NC_OK : nc__fail(err, status, 0, 0, "out of memory");
}

/* -- bytes as characters (GPT-2's byte encoder): printable ones of Latin-1 are themselves, the 68
 * others U+0100 and up in their order ------------------------------------------------------- */

static int nc_hlx__printable(uint32_t c) {
    return (c >= 33 && c <= 126) || (c >= 161 && c <= 255 && c != 173);
}

static uint32_t nc_hlx__byte_char(uint32_t byte) {
    if (nc_hlx__printable(byte)) return byte;
    return 256 + (byte < 33 ? byte : byte < 161 ? byte - 94 : 67);
}

static uint32_t nc_hlx__char_byte(uint32_t c) {
    if (c < 256) return nc_hlx__printable(c) ? c : UINT32_MAX;
    c -= 256;
    return c < 33 ? c : c < 67 ? c + 94 : c == 67 ? 173 : UINT32_MAX;
}

/* Characters to the bytes that they stand for, in place. Returns their number; where one stands for
 * none (tokens that are no bytes, as special ones) the text stays as it is and *mapped is 0. */
static size_t nc_hlx__unmap(char *text, size_t n, int *mapped) {
    const uint8_t *from = (const uint8_t *)text;
    size_t at, to = 0, pass;
    *mapped = 1;
    for (pass = 0; pass < 2; pass++)
        for (at = 0, to = 0; at < n; at++) {
            uint32_t c = from[at];
            if (c >= 0x80) c = at + 1 < n && c >> 5 == 6 ? (c & 31) << 6 | (from[++at] & 63) : 999;
            c = nc_hlx__char_byte(c);
            if (c == UINT32_MAX) {
                *mapped = 0;
                return n;
            }
            if (pass) text[to++] = (char)c;
        }
    return to;
}

/* -- tokenizer.json, vocab.json with merges.txt ------------------------------------ */

/* A file that is read: the tokenizer that it becomes, and room for one text. */
typedef struct nc_hlx__reader {
    nc_hlx_bpe *bpe;
    nc__buffer text;
    const char *path;
    uint32_t pattern, chosen;
    int byte_level, nfc;
    nc_error *err;
} nc_hlx__reader;

/* An object whose members are read by name, each at most once; at most 128 names. */
typedef struct nc_hlx__object {
    const char *where, *hint; /* for messages; hint: behind that of an unknown name */
    const char *const *names;
    size_t n;
    uint64_t seen[2];
    int first;
} nc_hlx__object;

static void nc_hlx__object_open(nc__text *t, nc_hlx__object *o, const char *where, const char *hint,
                                const char *const *names, size_t n) {
    memset(o, 0, sizeof *o);
    o->where = where;
    o->hint = hint;
    o->names = names;
    o->n = n;
    o->first = 1;
    nc__json_expect(t, '{');
}

static void nc_hlx__unknown(nc__text *t, const nc_hlx__object *o, const char *key) {
    (void)nc__text_fail(t, NC_ERR_UNSUPPORTED, "'%s' of %s is not known here%s", key, o->where,
                        o->hint);
}

/* The next member, whose value follows, as its place among the names; 0 behind the last and on an
 * error. Other names are refused, and those that come again. */
static int nc_hlx__object_next(nc__text *t, nc_hlx__object *o, size_t *place) {
    char key[64];
    size_t k = 0;
    if (!nc__json_more(t, '}', &o->first)) return 0;
    nc__json_key(t, key, sizeof key);
    while (k < o->n && strcmp(key, o->names[k]) != 0) k++;
    if (t->status != NC_OK) return 0;
    if (k == o->n)
        nc_hlx__unknown(t, o, key);
    else if (o->seen[k / 64] >> k % 64 & 1)
        (void)nc__text_fail(t, NC_ERR_FORMAT, "'%s' stands twice in %s", key, o->where);
    else
        o->seen[k / 64] |= UINT64_C(1) << k % 64;
    *place = k;
    return t->status == NC_OK;
}

/* The places of an object's members by their names; at = null for those that are not there. */
static nc_status nc_hlx__members(nc__text *t, const char *where, const char *const *names, size_t n,
                                 nc__text *members) {
    nc_hlx__object o;
    size_t k;
    memset(members, 0, n * sizeof *members);
    nc_hlx__object_open(t, &o, where, "", names, n);
    while (nc_hlx__object_next(t, &o, &k)) {
        members[k] = *t;
        nc__json_skip(t);
    }
    return t->status;
}

/* Whether a member is there and not null. */
static int nc_hlx__given(nc__text *member) {
    if (!member->at) return 0;
    nc__json_space(member);
    return member->end - member->at < 4 || memcmp(member->at, "null", 4) != 0;
}

/* Whether a member is the word true. */
static int nc_hlx__true(nc__text *member) {
    return nc_hlx__given(member) && nc__peek(member, 0) == 't';
}

/* The type of an object that says one, "" for none; t stays. */
static void nc_hlx__type(const nc__text *t, char *type, size_t room) {
    nc__text at = *t;
    char key[64];
    int first = 1;
    *type = 0;
    nc__json_expect(&at, '{');
    while (nc__json_more(&at, '}', &first)) {
        (void)nc__json_string(&at, key, sizeof key);
        nc__json_expect(&at, ':');
        nc__json_space(&at);
        if (!strcmp(key, "type") && nc__peek(&at, 0) == '"') {
            if (nc__json_string(&at, type, room) >= room) *type = 0;
            return;
        }
        nc__json_skip(&at);
    }
}

/* Whether a member is there and is neither null, nor "", nor the number 0. */
static int nc_hlx__set(nc__text *member) {
    nc__text at;
    if (!nc_hlx__given(member)) return 0;
    at = *member;
    at.err = NULL;
    if (nc__is_digit(nc__peek(&at, 0))) return nc__text_real(&at) != 0.0;
    return nc__json_string(&at, NULL, 0) > 0 || at.status != NC_OK;
}

/* A string into the reader's text; its length. */
static size_t nc_hlx__string(nc_hlx__reader *r, nc__text *t) {
    r->text.used = 0;
    return nc__json_whole(t, &r->text);
}

/* A token of the vocabulary: text[n], characters that stand for bytes. */
static void nc_hlx__read_token(nc_hlx__reader *r, nc__text *t, size_t n, uint64_t id) {
    int mapped;
    nc_status status;
    n = nc_hlx__unmap(r->text.data, n, &mapped);
    if (id < r->bpe->ids && r->bpe->place[id].length != UINT32_MAX)
        (void)nc__text_fail(t, NC_ERR_FORMAT, "the id %u has two tokens", (unsigned)id);
    else if (n == 0 || nc_hlx_bpe_find(r->bpe, r->text.data, n) != UINT32_MAX)
        (void)nc__text_fail(t, NC_ERR_FORMAT, "a token that is empty or stands twice");
    if (t->status != NC_OK) return;
    status = nc_hlx__bpe_token(r->bpe, (uint32_t)id,
                               mapped ? NC_HLX__TOKEN_BYTES : NC_HLX__TOKEN_TEXT, r->text.data, n);
    if (status != NC_OK) (void)nc__text_fail(t, status, "no memory for the vocabulary");
}

static nc_status nc_hlx__read_vocab(nc_hlx__reader *r, nc__text *t) {
    int first = 1;
    nc__json_expect(t, '{');
    while (nc__json_more(t, '}', &first)) {
        const size_t n = nc_hlx__string(r, t);
        uint64_t id;
        nc__json_expect(t, ':');
        id = nc__json_natural(t, NC_HLX__IDS - 1);
        if (t->status == NC_OK) nc_hlx__read_token(r, t, n, id);
    }
    return t->status;
}

/* The merge of the first `left` characters with the last `right` in the reader's text. */
static nc_status nc_hlx__read_merge(nc_hlx__reader *r, nc__text *t, size_t left, size_t right) {
    char *a = r->text.data, *b = r->text.data + r->text.used - right;
    int both, mapped;
    uint32_t ids[2], made;
    uint64_t pair;
    left = nc_hlx__unmap(a, left, &both);
    right = nc_hlx__unmap(b, right, &mapped);
    ids[0] = nc_hlx_bpe_find(r->bpe, a, left);
    ids[1] = nc_hlx_bpe_find(r->bpe, b, right);
    memmove(a + left, b, right);
    made = nc_hlx_bpe_find(r->bpe, a, left + right);
    pair = (uint64_t)ids[0] << 32 | ids[1];
    if (!both || !mapped || ids[0] == UINT32_MAX || ids[1] == UINT32_MAX || made == UINT32_MAX)
        return nc__text_fail(t, NC_ERR_FORMAT, "merge %u: a part or the whole is no token",
                             (unsigned)r->bpe->merges);
    if (nc_hlx__bpe_rank(r->bpe, pair) != UINT32_MAX)
        return nc__text_fail(t, NC_ERR_FORMAT, "merge %u stands twice", (unsigned)r->bpe->merges);
    if (!nc_hlx__bpe_merge(r->bpe, pair, made))
        return nc__text_fail(t, NC_ERR_MEMORY, "out of memory");
    return NC_OK;
}

/* "a b" or ["a", "b"], each. */
static nc_status nc_hlx__read_merges(nc_hlx__reader *r, nc__text *t) {
    int first = 1;
    nc__json_expect(t, '[');
    while (nc__json_more(t, ']', &first)) {
        size_t left, right;
        if (nc__json_take(t, '[')) {
            left = nc_hlx__string(r, t);
            nc__json_expect(t, ',');
            right = nc__json_whole(t, &r->text);
            nc__json_expect(t, ']');
            if (t->status == NC_OK) r->text.used--; /* the NUL */
        } else {
            const size_t n = nc_hlx__string(r, t);
            const char *space = n ? (const char *)memchr(r->text.data, ' ', n) : NULL;
            if (t->status == NC_OK && !space)
                (void)nc__text_fail(t, NC_ERR_FORMAT, "a merge of other than two tokens");
            if (t->status != NC_OK) break;
            r->text.used = n;
            left = (size_t)(space - r->text.data);
            right = n - left - 1;
        }
        if (t->status == NC_OK) (void)nc_hlx__read_merge(r, t, left, right);
    }
    return t->status;
}

static nc_status nc_hlx__read_model(nc_hlx__reader *r, nc__text *t) {
    static const char *const names[] = {"type",
                                        "dropout",
                                        "unk_token",
                                        "continuing_subword_prefix",
                                        "end_of_word_suffix",
                                        "fuse_unk",
                                        "byte_fallback",
                                        "ignore_merges",
                                        "vocab",
                                        "merges"};
    nc__text m[10];
    char type[32];
    size_t k;
    nc_hlx__type(t, type, sizeof type);
    if (*type && strcmp(type, "BPE") != 0)
        return nc__text_fail(t, NC_ERR_UNSUPPORTED, "a model of type '%s': only BPE is read", type);
    if (nc_hlx__members(t, "the model", names, 10, m) != NC_OK) return t->status;
    for (k = 1; k < 5; k++)
        if (k != 2 && nc_hlx__set(&m[k]))
            return nc__text_fail(&m[k], NC_ERR_UNSUPPORTED, "a model with %s is not read",
                                 names[k]);
    if (nc_hlx__true(&m[6]))
        return nc__text_fail(&m[6], NC_ERR_UNSUPPORTED,
                             "byte_fallback: tokens are characters here, not bytes");
    r->bpe->whole = (uint32_t)nc_hlx__true(&m[7]);
    if (!m[8].at || !m[9].at)
        return nc__text_fail(t, NC_ERR_FORMAT, "the model has no vocab or no merges");
    if (nc_hlx__read_vocab(r, &m[8]) != NC_OK) return m[8].status;
    return nc_hlx__read_merges(r, &m[9]);
}

/* An added token; those that look around themselves are refused. */
static nc_status nc_hlx__read_added(nc_hlx__reader *r, nc__text *t) {
    static const char *const names[] = {"id",     "content",     "special", "normalized",
                                        "lstrip", "single_word", "rstrip"};
    nc__text m[7];
    uint64_t id;
    size_t n, k;
    nc_hlx__added *added;
    nc_status status;
    if (nc_hlx__members(t, "an added token", names, 7, m) != NC_OK) return t->status;
    if (!m[0].at || !m[1].at)
        return nc__text_fail(t, NC_ERR_FORMAT, "an added token without id or content");
    for (k = 4; k < 7; k++)
        if (nc_hlx__true(&m[k]))
            return nc__text_fail(&m[k], NC_ERR_UNSUPPORTED, "an added token with %s", names[k]);
    id = nc__json_natural(&m[0], NC_HLX__IDS - 1);
    n = nc_hlx__string(r, &m[1]);
    if (m[0].status != NC_OK || m[1].status != NC_OK)
        return m[0].status != NC_OK ? m[0].status : m[1].status;
    if (!r->text.data || strlen(r->text.data) != n)
        return nc__text_fail(&m[1], NC_ERR_UNSUPPORTED, "an added token with a zero byte");
    status = nc_hlx_bpe_add_special(r->bpe, r->text.data, (uint32_t)id);
    if (status != NC_OK)
        return nc__text_fail(&m[1], status == NC_ERR_ARG ? NC_ERR_FORMAT : status,
                             "added token %u: empty, or not what the vocabulary has", (unsigned)id);
    added = (nc_hlx__added *)(void *)r->bpe->added.data + r->bpe->added_count - 1;
    added->special = (uint32_t)nc_hlx__true(&m[2]);
    added->late = (uint32_t)nc_hlx__true(&m[3]);
    return NC_OK;
}

/* A regular expression by its exact text. */
static nc_status nc_hlx__read_regex(nc_hlx__reader *r, nc__text *t) {
    static const char *const names[] = {"Regex", "String"};
    nc__text m[2];
    uint32_t p, k;
    if (nc_hlx__members(t, "a pattern", names, 2, m) != NC_OK) return t->status;
    if (!m[0].at) return nc__text_fail(t, NC_ERR_UNSUPPORTED, "a pattern that is no Regex");
    (void)nc_hlx__string(r, &m[0]);
    if (m[0].status != NC_OK) return m[0].status;
    for (p = 1; p < NC_HLX_PATTERNS; p++)
        for (k = 0; k < 2 && nc_hlx__patterns[p].regex[k]; k++)
            if (!strcmp(r->text.data, nc_hlx__patterns[p].regex[k])) {
                r->pattern = p;
                return NC_OK;
            }
    return nc__text_fail(&m[0], NC_ERR_UNSUPPORTED,
                         "the regular expression '%.40s..' is none of gpt2, cl100k, llama3, qwen2, "
                         "o200k, tekken",
                         r->text.data);
}

/* ByteLevel, or Split by a known regular expression and then ByteLevel. */
static nc_status nc_hlx__read_cut(nc_hlx__reader *r, nc__text *t) {
    static const char *const names[] = {
        "type",         "pattern",          "behavior",      "invert",           "use_regex",
        "trim_offsets", "add_prefix_space", "pretokenizers", "individual_digits"};
    nc__text m[9];
    char type[32], behavior[32] = "";
    int first = 1;
    nc_hlx__type(t, type, sizeof type);
    if (nc_hlx__members(t, "a pre-tokenizer", names, 9, m) != NC_OK) return t->status;
    if (!strcmp(type, "Sequence") && m[7].at) {
        nc__json_expect(&m[7], '[');
        while (nc__json_more(&m[7], ']', &first))
            if (nc_hlx__read_cut(r, &m[7]) != NC_OK) return NC_ERR_UNSUPPORTED;
        return m[7].status;
    }
    if (!strcmp(type, "Digits") && nc_hlx__true(&m[8]) && !r->pattern && !r->byte_level) {
        r->pattern = NC_HLX_PATTERN_DIGITS;
        return NC_OK;
    }
    if (r->byte_level || (strcmp(type, "Split") != 0 && strcmp(type, "ByteLevel") != 0))
        return nc__text_fail(t, NC_ERR_UNSUPPORTED,
                             "the pre-tokenizer '%s': read are ByteLevel and one Split, or Digits "
                             "one by one, before it",
                             type);
    if (!strcmp(type, "Split")) {
        if (m[2].at) (void)nc__json_string(&m[2], behavior, sizeof behavior);
        if (r->pattern || !m[1].at ||
            strcmp(behavior, nc_hlx__true(&m[3]) ? "Removed" : "Isolated") != 0)
            return nc__text_fail(t, NC_ERR_UNSUPPORTED,
                                 "a second Split, or one that does not isolate its matches");
        return nc_hlx__read_regex(r, &m[1]);
    }
    r->byte_level = 1;
    if (nc_hlx__true(&m[6]))
        return nc__text_fail(&m[6], NC_ERR_UNSUPPORTED, "add_prefix_space is not done");
    if ((m[4].at && !nc_hlx__true(&m[4])) != (r->pattern && r->pattern != NC_HLX_PATTERN_DIGITS))
        return nc__text_fail(t, NC_ERR_UNSUPPORTED,
                             "ByteLevel's own words after a Split, or none without one");
    if (!r->pattern) r->pattern = NC_HLX_PATTERN_GPT2;
    return NC_OK;
}

/* The tokens before and after a text, from the list "single" of a template. */
static nc_status nc_hlx__read_single(nc_hlx__reader *r, nc__text *t) {
    static const char *const names[] = {"SpecialToken", "Sequence"};
    static const char *const parts[] = {"id", "type_id"};
    nc__text m[2], p[2];
    int first = 1, behind = 0;
    nc__json_expect(t, '[');
    while (nc__json_more(t, ']', &first)) {
        uint32_t *count = behind ? &r->bpe->last_count : &r->bpe->first_count, id;
        size_t n;
        if (nc_hlx__members(t, "a template", names, 2, m) != NC_OK) break;
        if (m[1].at) {
            behind++;
            continue;
        }
        if (nc_hlx__members(&m[0], "a special token", parts, 2, p) != NC_OK || !p[0].at)
            return nc__text_fail(t, NC_ERR_FORMAT, "a special token without id");
        n = nc_hlx__string(r, &p[0]);
        id = p[0].status == NC_OK ? nc_hlx_bpe_find(r->bpe, r->text.data, n) : UINT32_MAX;
        if (id == UINT32_MAX || *count == 8)
            return nc__text_fail(t, NC_ERR_FORMAT, "a special token that is none, or more than 8");
        (behind ? r->bpe->last : r->bpe->first)[(*count)++] = id;
    }
    if (behind != 1)
        (void)nc__text_fail(t, NC_ERR_UNSUPPORTED, "a template of other than one text");
    return t->status;
}

static nc_status nc_hlx__read_post(nc_hlx__reader *r, nc__text *t) {
    static const char *const names[] = {"type",           "single",           "pair",
                                        "special_tokens", "add_prefix_space", "trim_offsets",
                                        "use_regex",      "processors"};
    nc__text m[8];
    char type[32];
    int first = 1;
    nc_hlx__type(t, type, sizeof type);
    if (strcmp(type, "ByteLevel") != 0 && strcmp(type, "TemplateProcessing") != 0 &&
        strcmp(type, "Sequence") != 0)
        return nc__text_fail(t, NC_ERR_UNSUPPORTED, "the post-processor '%s' is not done", type);
    if (nc_hlx__members(t, "a post-processor", names, 8, m) != NC_OK) return t->status;
    if (m[1].at) return nc_hlx__read_single(r, &m[1]);
    if (!m[7].at) return NC_OK;
    nc__json_expect(&m[7], '[');
    while (nc__json_more(&m[7], ']', &first))
        if (nc_hlx__read_post(r, &m[7]) != NC_OK) return NC_ERR_UNSUPPORTED;
    return m[7].status;
}

/* NFC, or a sequence of it. */
static nc_status nc_hlx__read_normalizer(nc_hlx__reader *r, nc__text *t) {
    static const char *const names[] = {"type", "normalizers"};
    nc__text m[2];
    char type[32];
    int first = 1;
    nc_hlx__type(t, type, sizeof type);
    if (strcmp(type, "Sequence") != 0 && strcmp(type, "NFC") != 0)
        return nc__text_fail(t, NC_ERR_UNSUPPORTED,
                             "the normalizer '%s' is not done: apply it to the text and set null",
                             type);
    if (nc_hlx__members(t, "the normalizer", names, 2, m) != NC_OK) return t->status;
    r->nfc |= *type == 'N';
    if (!m[1].at) return t->status;
    nc__json_expect(&m[1], '[');
    while (nc__json_more(&m[1], ']', &first))
        if (nc_hlx__read_normalizer(r, &m[1]) != NC_OK) return NC_ERR_UNSUPPORTED;
    return m[1].status;
}

/* Every byte needs a token, or texts could not be written. */
static nc_status nc_hlx__bpe_complete(nc_hlx__reader *r, nc__text *t) {
    uint32_t i;
    for (i = 0; i < 256; i++)
        if (r->bpe->byte_id[i] == UINT32_MAX)
            return nc__text_fail(t, NC_ERR_UNSUPPORTED,
                                 "the vocabulary has no token for the byte %u", (unsigned)i);
    if (r->chosen && r->pattern && r->chosen != r->pattern)
        return nc__text_fail(t, NC_ERR_ARG, "the pattern is %s, and %s was asked for",
                             nc_hlx__patterns[r->pattern].name, nc_hlx__patterns[r->chosen].name);
    if (!r->pattern) r->pattern = r->chosen;
    if (!r->pattern)
        return nc__text_fail(
            t, NC_ERR_ARG,
            "the file names no pattern: choose gpt2, cl100k, llama3, qwen2, o200k, "
            "tekken or digits");
    if (r->nfc) r->bpe->nfc = nc_hlx__nfc_new(r->bpe->known.hooks);
    if (!nc_hlx__bpe_cut(r->bpe, r->pattern) || (r->nfc && !r->bpe->nfc))
        return nc__text_fail(t, NC_ERR_MEMORY, "out of memory");
    return NC_OK;
}

/* Those of tokenizer.json that must be null. */
static nc_status nc_hlx__read_rest(nc_hlx__reader *r, nc__text *m) {
    char type[32];
    if (nc_hlx__given(&m[1]))
        return nc__text_fail(&m[1], NC_ERR_UNSUPPORTED, "truncation is not done: set it to null");
    if (nc_hlx__given(&m[2]))
        return nc__text_fail(&m[2], NC_ERR_UNSUPPORTED, "padding is not done: set it to null");
    if (nc_hlx__given(&m[4]) && nc_hlx__read_normalizer(r, &m[4]) != NC_OK)
        return NC_ERR_UNSUPPORTED;
    if (nc_hlx__given(&m[5]) && nc_hlx__read_cut(r, &m[5]) != NC_OK) return NC_ERR_UNSUPPORTED;
    if (!r->byte_level)
        return nc__text_fail(&m[8], NC_ERR_UNSUPPORTED,
                             "the pre-tokenizer is not ByteLevel: only tokens of bytes are read");
    if (nc_hlx__given(&m[6]) && nc_hlx__read_post(r, &m[6]) != NC_OK) return NC_ERR_UNSUPPORTED;
    if (!nc_hlx__given(&m[7])) return NC_OK;
    nc_hlx__type(&m[7], type, sizeof type);
    if (strcmp(type, "ByteLevel") != 0)
        return nc__text_fail(&m[7], NC_ERR_UNSUPPORTED, "the decoder '%s' is not done", type);
    return NC_OK;
}

static nc_status nc_hlx__read_json(nc_hlx__reader *r, nc__text *t) {
    static const char *const names[] = {"version",        "truncation", "padding",
                                        "added_tokens",   "normalizer", "pre_tokenizer",
                                        "post_processor", "decoder",    "model"};
    nc__text m[9];
    int first = 1;
    if (nc_hlx__members(t, "a tokenizer", names, 9, m) != NC_OK) return t->status;
    if (!m[8].at) return nc__text_fail(t, NC_ERR_FORMAT, "a tokenizer without a model");
    if (nc_hlx__read_model(r, &m[8]) != NC_OK) return NC_ERR_FORMAT;
    if (nc_hlx__given(&m[3])) {
        nc__json_expect(&m[3], '[');
        while (nc__json_more(&m[3], ']', &first))
            if (nc_hlx__read_added(r, &m[3]) != NC_OK) return NC_ERR_FORMAT;
        if (m[3].status != NC_OK) return m[3].status;
    }
    if (nc_hlx__read_rest(r, m) != NC_OK) return NC_ERR_UNSUPPORTED;
    return nc_hlx__bpe_complete(r, t);
}

/* merges.txt beside vocab.json: a pair of tokens a line; the first one may be a comment. */
static nc_status nc_hlx__read_merge_lines(nc_hlx__reader *r, nc__text *t) {
    while (nc__peek(t, 0) >= 0) {
        size_t n = 0, space, stop;
        while (nc__peek(t, n) >= 0 && t->at[n] != '\n') n++;
        stop = n && t->at[n - 1] == '\r' ? n - 1 : n;
        for (space = 0; space < stop && t->at[space] != ' ';) space++;
        if (stop && !(t->line == 1 && *t->at == '#')) {
            if (space == stop)
                return nc__text_fail(t, NC_ERR_FORMAT, "a merge of other than two tokens");
            r->text.used = 0;
            nc__buffer_put(&r->text, t->at, stop);
            if (r->text.status != NC_OK) return nc__text_fail(t, NC_ERR_MEMORY, "out of memory");
            (void)nc_hlx__read_merge(r, t, space, stop - space - 1);
        }
        t->at += n;
        nc__step(t);
    }
    return t->status;
}

static nc_status nc_hlx__read_two_files(nc_hlx__reader *r, nc__text *t) {
    static const char end_of_text[] = "<|endoftext|>", other[] = "merges.txt";
    const size_t folder = nc__folder_bytes(r->path);
    char path[2048];
    nc__text lines;
    uint8_t *data = NULL;
    size_t bytes = 0;
    nc_status status;
    uint32_t id;
    if (folder + sizeof other > sizeof path)
        return nc__text_fail(t, NC_ERR_ARG, "the path is too long");
    memcpy(path, r->path, folder);
    memcpy(path + folder, other, sizeof other);
    if (nc_hlx__read_vocab(r, t) != NC_OK) return t->status;
    id = nc_hlx_bpe_find(r->bpe, end_of_text, sizeof end_of_text - 1);
    if (id != UINT32_MAX && nc_hlx_bpe_add_special(r->bpe, end_of_text, id) != NC_OK)
        return nc__text_fail(t, NC_ERR_MEMORY, "out of memory");
    status = nc__file_read(path, r->bpe->known.hooks, &data, &bytes, r->err);
    if (status != NC_OK) return status;
    nc__text_open(&lines, data, data ? bytes : 0, r->err);
    status = nc_hlx__read_merge_lines(r, &lines);
    nc__free(r->bpe->known.hooks, data, bytes + 1);
    if (status != NC_OK) return status;
    if (!r->chosen) r->pattern = NC_HLX_PATTERN_GPT2;
    r->nfc = r->chosen == NC_HLX_PATTERN_QWEN2;
    return nc_hlx__bpe_complete(r, t);
}

/* -- ranks of tiktoken: the bytes of a token in base64 and its id, a line each ----- */

static uint32_t nc_hlx__base64_digit(int c) {
    static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    const char *at = c > 0 ? strchr(digits, c) : NULL;
    return at ? (uint32_t)(at - digits) : UINT32_MAX;
}

/* The base64 text (RFC 4648) at t into the reader's text; its bytes. */
static size_t nc_hlx__read_base64(nc_hlx__reader *r, nc__text *t) {
    uint32_t bits = 0, held = 0, digit;
    size_t digits = 0, marks = 0;
    r->text.used = 0;
    for (; (digit = nc_hlx__base64_digit(nc__peek(t, 0))) != UINT32_MAX; t->at++, digits++) {
        bits = bits << 6 | digit;
        held += 6;
        if (held < 8) continue;
        held -= 8;
        nc__buffer_le(&r->text, bits >> held & 0xFF, 1);
    }
    for (; nc__peek(t, 0) == '='; t->at++) marks++;
    if (digits == 0 && marks == 1) return 0; /* the empty token of Whisper's file */
    if (digits == 0 || (digits + marks) % 4 || marks > 2 || (bits & ((1u << held) - 1)))
        (void)nc__text_fail(t, NC_ERR_FORMAT, "expected a token in base64");
    if (r->text.status != NC_OK) (void)nc__text_fail(t, NC_ERR_MEMORY, "out of memory");
    return r->text.used;
}

enum { NC_HLX__RANKED = 4096 }; /* most bytes of a token in a file of ranks */

/* A merge for every way in which two tokens make a third: tiktoken merges what is a token. */
static nc_status nc_hlx__merges_of_ranks(nc_hlx__reader *r, nc__text *t) {
    nc_hlx_bpe *bpe = r->bpe;
    uint8_t there[NC_HLX__RANKED + 1] = {0};
    uint32_t id, length, k;
    for (id = 0; id < bpe->ids; id++)
        if (bpe->place[id].length != UINT32_MAX) there[bpe->place[id].length] = 1;
    for (id = 0; id < bpe->ids; id++) {
        if (bpe->place[id].length == UINT32_MAX) continue;
        for (k = 1; k < bpe->place[id].length; k++) {
            const uint8_t *bytes = nc_hlx__token_bytes(bpe, id, &length);
            uint32_t left, right;
            if (!there[k] || !there[length - k]) continue;
            left = nc_hlx_bpe_find(bpe, bytes, k);
            right = left == UINT32_MAX ? left : nc_hlx_bpe_find(bpe, bytes + k, length - k);
            if (right == UINT32_MAX) continue;
            if (!nc_hlx__bpe_merge(bpe, (uint64_t)left << 32 | right, id))
                return nc__text_fail(t, NC_ERR_MEMORY, "out of memory");
        }
    }
    return NC_OK;
}

/* What the files of ranks that are known by their number of tokens leave unsaid. */
static nc_status nc_hlx__known_ranks(nc_hlx__reader *r, nc__text *t) {
    static const struct {
        uint32_t tokens, pattern, id;
        const char *end;
    } known[] = {{50256, NC_HLX_PATTERN_GPT2, 50256, "<|endoftext|>"},
                 {50257, NC_HLX_PATTERN_GPT2, 50257, "<|endoftext|>"}, /* Whisper, multilingual */
                 {100256, NC_HLX_PATTERN_CL100K, 100257, "<|endoftext|>"},
                 {128000, NC_HLX_PATTERN_LLAMA3, 128001, "<|end_of_text|>"},
                 {151643, NC_HLX_PATTERN_QWEN2, 151643, "<|endoftext|>"},
                 {199998, NC_HLX_PATTERN_O200K, 199999, "<|endoftext|>"}};
    size_t k;
    for (k = 0; k < sizeof known / sizeof *known; k++) {
        nc_status status;
        if (r->bpe->ids != known[k].tokens || (r->chosen && r->chosen != known[k].pattern))
            continue;
        r->pattern = known[k].pattern;
        r->nfc = r->pattern == NC_HLX_PATTERN_QWEN2;
        if (nc_hlx_bpe_find(r->bpe, known[k].end, strlen(known[k].end)) != UINT32_MAX) break;
        status = nc_hlx_bpe_add_special(r->bpe, known[k].end, known[k].id);
        if (status != NC_OK) return nc__text_fail(t, status, "out of memory");
        break;
    }
    return nc_hlx__bpe_complete(r, t);
}

static nc_status nc_hlx__read_ranks(nc_hlx__reader *r, nc__text *t) {
    r->bpe->by_id = r->bpe->whole = 1;
    for (nc__skip_space(t); nc__peek(t, 0) >= 0; nc__skip_space(t)) {
        const size_t n = nc_hlx__read_base64(r, t);
        uint64_t id;
        nc_status status;
        if (nc__peek(t, 0) != ' ') (void)nc__text_fail(t, NC_ERR_FORMAT, "expected ' ' and an id");
        id = nc__json_natural(t, NC_HLX__IDS - 1);
        if (t->status != NC_OK) break;
        if (n > NC_HLX__RANKED)
            return nc__text_fail(t, NC_ERR_LIMIT, "a token of %lu bytes, more than %d",
                                 (unsigned long)n, (int)NC_HLX__RANKED);
        if ((id < r->bpe->ids && r->bpe->place[id].length != UINT32_MAX) ||
            nc_hlx_bpe_find(r->bpe, r->text.data, n) != UINT32_MAX)
            return nc__text_fail(t, NC_ERR_FORMAT, "the token or its id %u stands twice",
                                 (unsigned)id);
        status = nc_hlx__bpe_token(r->bpe, (uint32_t)id, NC_HLX__TOKEN_BYTES, r->text.data, n);
        if (status != NC_OK) return nc__text_fail(t, status, "no memory for the vocabulary");
    }
    if (t->status != NC_OK || nc_hlx__merges_of_ranks(r, t) != NC_OK) return t->status;
    return nc_hlx__known_ranks(r, t);
}

/* -- any of them by its content ---------------------------------------------------- */

/* Whether a JSON object's first value is a number, as in vocab.json. */
static int nc_hlx__is_vocab(const nc__text *t) {
    nc__text at = *t;
    nc_error ignored;
    at.err = &ignored;
    nc__json_expect(&at, '{');
    (void)nc__json_string(&at, NULL, 0);
    nc__json_expect(&at, ':');
    nc__json_space(&at);
    return nc__is_digit(nc__peek(&at, 0));
}

static nc_status nc_hlx__read_text(nc_hlx__reader *r, const uint8_t *data, size_t bytes,
                                   const nc_allocator *hooks) {
    nc__text t;
    nc__text_open(&t, data, bytes, r->err);
    r->bpe = nc_hlx__bpe_new(hooks);
    if (!r->bpe) return nc__text_fail(&t, NC_ERR_MEMORY, "out of memory");
    r->text.hooks = r->bpe->known.hooks;
    nc__json_space(&t);
    if (nc__peek(&t, 0) != '{') return nc_hlx__read_ranks(r, &t);
    return nc_hlx__is_vocab(&t) ? nc_hlx__read_two_files(r, &t) : nc_hlx__read_json(r, &t);
}

NC_API nc_status nc_hlx_bpe_open(nc_hlx_bpe **bpe, const char *path, uint32_t pattern,
                                 const nc_allocator *hooks, nc_error *err) {
    nc_hlx__reader r;
    nc_error error;
    size_t bytes;
    uint8_t *data;
    nc_status status;
    nc__clear(err);
    if (bpe) *bpe = NULL;
    if (!bpe || !path) return nc__fail(err, NC_ERR_ARG, 0, 0, "no result or no path");
    if (pattern >= NC_HLX_PATTERNS)
        return nc__fail(err, NC_ERR_ARG, 0, 0, "there is no pattern %u", (unsigned)pattern);
    status = nc__file_read(path, hooks, &data, &bytes, err);
    if (status != NC_OK || !data) return status;
    memset(&r, 0, sizeof r);
    memset(&error, 0, sizeof error);
    r.path = path;
    r.chosen = pattern;
    r.err = &error;
    if (bytes >= 8 && !memcmp(data, NC_HLX__BPE_MAGIC, 8))
        status = nc_hlx__bpe_read_own(&r.bpe, data, bytes, hooks, &error);
    else
        status = nc_hlx__read_text(&r, data, bytes, hooks);
    if (status == NC_OK && pattern && r.bpe->pattern != pattern)
        status = nc__fail(&error, NC_ERR_ARG, 0, 0, "'%.80s' has the pattern %s, not %s", path,
                          nc_hlx__patterns[r.bpe->pattern].name, nc_hlx__patterns[pattern].name);
    nc__free(hooks, data, bytes + 1);
    nc__buffer_free(&r.text);
    if (status != NC_OK) {
        nc_hlx_bpe_destroy(r.bpe);
        if (err) *err = error;
        return error.status;
    }
    *bpe = r.bpe;
    return NC_OK;
}

NC_API nc_status nc_hlx_bpe_load(nc_hlx_bpe **bpe, const char *path, const nc_allocator *hooks,
                                 nc_error *err) {
    return nc_hlx_bpe_open(bpe, path, 0, hooks, err);
}

/* -- writing ----------------------------------------------------------------------- */

/* A token as a JSON string; its bytes as characters where `map`. */
static void nc_hlx__write_token(const nc_hlx_bpe *bpe, nc__buffer *b, uint32_t id, int map) {
    uint32_t length, i;
    const uint8_t *bytes = nc_hlx__token_bytes(bpe, id, &length);
    nc__buffer_put(b, "\"", 1);
    for (i = 0; i < length; i++) {
        const uint32_t c = map ? nc_hlx__byte_char(bytes[i]) : bytes[i];
        char two[2];
        two[0] = (char)(0xC0 | c >> 6);
        two[1] = (char)(0x80 | (c & 63));
        if (c == '"' || c == '\\') nc__buffer_put(b, "\\", 1);
        if (c < 32)
            nc__buffer_print(b, "\\u%04x", (unsigned)c);
        else if (map && c >= 0x80)
            nc__buffer_put(b, two, 2);
        else
            nc__buffer_le(b, c, 1);
    }
    nc__buffer_put(b, "\"", 1);
}

static void nc_hlx__write_added(const nc_hlx_bpe *bpe, nc__buffer *b) {
    const nc_hlx__added *added = (const nc_hlx__added *)(const void *)bpe->added.data;
    uint32_t k;
    for (k = 0; k < bpe->added_count; k++) {
        nc__buffer_print(b, "%s\n{\"id\":%u,\"content\":", k ? "," : "", (unsigned)added[k].id);
        nc_hlx__write_token(bpe, b, added[k].id, 0);
        nc__buffer_print(b,
                         ",\"single_word\":false,\"lstrip\":false,\"rstrip\":false,"
                         "\"normalized\":%s,\"special\":%s}",
                         added[k].late ? "true" : "false", added[k].special ? "true" : "false");
    }
}

static void nc_hlx__write_cut(const nc_hlx_bpe *bpe, nc__buffer *b) {
    const int own_words = nc_hlx__patterns[bpe->pattern].family == 2;
    const int sequence = bpe->pattern != NC_HLX_PATTERN_GPT2;
    if (sequence) nc__buffer_print(b, "{\"type\":\"Sequence\",\"pretokenizers\":[");
    if (bpe->pattern == NC_HLX_PATTERN_DIGITS)
        nc__buffer_print(b, "{\"type\":\"Digits\",\"individual_digits\":true},\n");
    if (!own_words) {
        nc__buffer_print(b, "{\"type\":\"Split\",\"pattern\":{\"Regex\":");
        nc__buffer_quote(b, nc_hlx__patterns[bpe->pattern].regex[0]);
        nc__buffer_print(b, "},\"behavior\":\"Isolated\",\"invert\":false},\n");
    }
    nc__buffer_print(b,
                     "{\"type\":\"ByteLevel\",\"add_prefix_space\":false,\"trim_offsets\":true,"
                     "\"use_regex\":%s}%s",
                     own_words ? "true" : "false", sequence ? "]}" : "");
}

/* Special tokens of a template, each with a comma behind it or before it. */
static void nc_hlx__write_bounds(const nc_hlx_bpe *bpe, nc__buffer *b, const uint32_t *ids,
                                 uint32_t n, int before) {
    uint32_t k;
    for (k = 0; k < n; k++) {
        nc__buffer_print(b, "%s{\"SpecialToken\":{\"id\":", before ? "" : ",");
        nc_hlx__write_token(bpe, b, ids[k], 0);
        nc__buffer_print(b, ",\"type_id\":0}}%s", before ? "," : "");
    }
}

static void nc_hlx__write_post(const nc_hlx_bpe *bpe, nc__buffer *b) {
    uint32_t k, i;
    if (bpe->first_count + bpe->last_count == 0) {
        nc__buffer_print(b, "{\"type\":\"ByteLevel\",\"add_prefix_space\":false,"
                            "\"trim_offsets\":false,\"use_regex\":true}");
        return;
    }
    nc__buffer_print(b, "{\"type\":\"TemplateProcessing\",\"single\":[");
    nc_hlx__write_bounds(bpe, b, bpe->first, bpe->first_count, 1);
    nc__buffer_print(b, "{\"Sequence\":{\"id\":\"A\",\"type_id\":0}}");
    nc_hlx__write_bounds(bpe, b, bpe->last, bpe->last_count, 0);
    nc__buffer_print(b, "],\"pair\":[{\"Sequence\":{\"id\":\"A\",\"type_id\":0}},{\"Sequence\":"
                        "{\"id\":\"B\",\"type_id\":1}}],\n\"special_tokens\":{");
    for (k = 0; k < bpe->first_count + bpe->last_count; k++) {
        const uint32_t id = k < bpe->first_count ? bpe->first[k] : bpe->last[k - bpe->first_count];
        for (i = 0; i < k; i++)
            if (id == (i < bpe->first_count ? bpe->first[i] : bpe->last[i - bpe->first_count]))
                break;
        if (i < k) continue; /* a name stands once */
        if (k) nc__buffer_put(b, ",", 1);
        nc_hlx__write_token(bpe, b, id, 0);
        nc__buffer_print(b, ":{\"id\":");
        nc_hlx__write_token(bpe, b, id, 0);
        nc__buffer_print(b, ",\"ids\":[%u],\"tokens\":[", (unsigned)id);
        nc_hlx__write_token(bpe, b, id, 0);
        nc__buffer_print(b, "]}");
    }
    nc__buffer_print(b, "}}");
}

static void nc_hlx__write_model(const nc_hlx_bpe *bpe, nc__buffer *b) {
    uint32_t i, first = 1;
    nc__buffer_print(
        b,
        "{\"type\":\"BPE\",\"dropout\":null,\"unk_token\":null,"
        "\"continuing_subword_prefix\":null,\"end_of_word_suffix\":null,"
        "\"fuse_unk\":false,\"byte_fallback\":false,\"ignore_merges\":%s,\n\"vocab\":{",
        bpe->whole ? "true" : "false");
    for (i = 0; i < bpe->ids; i++) {
        if (bpe->place[i].length == UINT32_MAX || bpe->place[i].kind == NC_HLX__TOKEN_ADDED)
            continue;
        nc__buffer_print(b, first ? "\n" : ",\n");
        nc_hlx__write_token(bpe, b, i, bpe->place[i].kind == NC_HLX__TOKEN_BYTES);
        nc__buffer_print(b, ":%u", (unsigned)i);
        first = 0;
    }
    nc__buffer_print(b, "},\n\"merges\":[");
    for (i = 0; i < bpe->merges; i++) {
        nc__buffer_print(b, i ? ",\n[" : "\n[");
        nc_hlx__write_token(bpe, b, (uint32_t)(bpe->pair[i] >> 32), 1);
        nc__buffer_put(b, ",", 1);
        nc_hlx__write_token(bpe, b, (uint32_t)bpe->pair[i], 1);
        nc__buffer_put(b, "]", 1);
    }
    nc__buffer_print(b, "]}");
}

static void nc_hlx__bpe_write_json(const nc_hlx_bpe *bpe, nc__buffer *b) {
    nc__buffer_print(b, "{\"version\":\"1.0\",\"truncation\":null,\"padding\":null,"
                        "\"added_tokens\":[");
    nc_hlx__write_added(bpe, b);
    nc__buffer_print(
        b, "],\n\"normalizer\":%s,\n\"pre_tokenizer\":", bpe->nfc ? "{\"type\":\"NFC\"}" : "null");
    nc_hlx__write_cut(bpe, b);
    nc__buffer_print(b, ",\n\"post_processor\":");
    nc_hlx__write_post(bpe, b);
    nc__buffer_print(b, ",\n\"decoder\":{\"type\":\"ByteLevel\",\"add_prefix_space\":false,"
                        "\"trim_offsets\":true,\"use_regex\":true},\n\"model\":");
    nc_hlx__write_model(bpe, b);
    nc__buffer_print(b, "}\n");
}

static nc_status nc_hlx__bpe_write(const nc_hlx_bpe *bpe, const char *path,
                                   void (*write)(const nc_hlx_bpe *, nc__buffer *), nc_error *err) {
    nc__buffer b;
    nc__span span;
    nc_status status;
    memset(&b, 0, sizeof b);
    b.hooks = bpe->known.hooks;
    write(bpe, &b);
    span.data = b.data;
    span.bytes = b.used;
    status = b.status == NC_OK ? nc__file_write(path, &span, 1, err)
                               : nc__fail(err, b.status, 0, 0, "out of memory");
    nc__buffer_free(&b);
    return status;
}

NC_API nc_status nc_hlx_bpe_save_json(const nc_hlx_bpe *bpe, const char *path, nc_error *err) {
    nc__clear(err);
    if (!bpe || !path) return nc__fail(err, NC_ERR_ARG, 0, 0, "no tokenizer or no path");
    if (bpe->pattern == NC_HLX_PATTERN_WORDS)
        return nc__fail(err, NC_ERR_UNSUPPORTED, 0, 0,
                        "words of 64 bytes are no regular expression: train with a pattern");
    if (bpe->by_id)
        return nc__fail(err, NC_ERR_UNSUPPORTED, 0, 0,
                        "ranks are no list of merges: keep the file of ranks");
    return nc_hlx__bpe_write(bpe, path, nc_hlx__bpe_write_json, err);
}

NC_API nc_status nc_hlx_bpe_save(const nc_hlx_bpe *bpe, const char *path, nc_error *err) {
    nc__clear(err);
    if (!bpe || !path) return nc__fail(err, NC_ERR_ARG, 0, 0, "no tokenizer or no path");
    if (!bpe->own || bpe->added_count) return nc_hlx_bpe_save_json(bpe, path, err);
    return nc_hlx__bpe_write(bpe, path, nc_hlx__bpe_write_own, err);
}
#endif

/* >>data =========================================================================== */

static int nc_hlx__width(uint32_t token_bytes) {
    return token_bytes == 1 || token_bytes == 2 || token_bytes == 4 || token_bytes == 8;
}

/* What cannot be a token is never taken for NC_HLX_IGNORE. */
static uint32_t nc_hlx__take_token(const uint8_t *from, uint32_t token_bytes) {
    const uint64_t token = nc__get_le(from, token_bytes);
    return token < NC_HLX_IGNORE ? (uint32_t)token : NC_HLX_IGNORE - 1;
}

NC_API nc_status nc_hlx_loader_init_tokens(nc_hlx_loader *loader, const void *tokens, size_t count,
                                           uint32_t token_bytes, uint32_t seq, uint64_t seed) {
    if (!loader || !tokens || seq == 0 || count <= seq || !nc_hlx__width(token_bytes))
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
    uint32_t t, next = nc_hlx__take_token(from, loader->token_bytes);
    for (t = 0; t < loader->seq; t++) {
        from += loader->token_bytes;
        tokens[t] = next;
        next = nc_hlx__take_token(from, loader->token_bytes);
        targets[t] = !loader->mask || loader->mask[at + t + 1] ? next : NC_HLX_IGNORE;
    }
}

/* Targets of the window from `at` on. */
static uint32_t nc_hlx__window_targets(const nc_hlx_loader *loader, size_t at) {
    uint32_t t, n = 0;
    if (!loader->mask) return loader->seq;
    for (t = 1; t <= loader->seq; t++) n += (uint32_t)(loader->mask[at + t] != 0);
    return n;
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

/* Where window number i, over all epochs, begins. */
static size_t nc_hlx__window_start(const nc_hlx_loader *loader, uint64_t i) {
    const uint64_t windows = (loader->count - 1) / loader->seq, epoch = i / windows;
    uint64_t slack = loader->count - 1 - windows * loader->seq; /* the windows' common shift */
    uint32_t words[4];
    if (epoch) slack += loader->seq; /* from the second epoch on, cut at other places */
    nc__philox(loader->seed, epoch, 0, words);
    slack = words[0] % (slack + 1);
    slack += nc_hlx__permute(i % windows, windows, loader->seed, epoch) * loader->seq;
    if (slack + loader->seq + 1 > loader->count) slack = loader->count - loader->seq - 1;
    return (size_t)slack;
}

NC_API void nc_hlx_loader_next(nc_hlx_loader *loader, uint32_t *tokens, uint32_t *targets,
                               uint32_t batch) {
    size_t at;
    for (at = 0; at < (size_t)batch * loader->seq; at += loader->seq)
        nc_hlx__window(loader, nc_hlx__window_start(loader, loader->next++), tokens + at,
                       targets + at);
}

/* Targets of the next windows, as the divisor of a mean. */
static float nc_hlx__next_targets(const nc_hlx_loader *loader, size_t windows) {
    size_t i, n = 0;
    if (!loader->mask) return (float)(windows * loader->seq);
    for (i = 0; i < windows; i++)
        n += nc_hlx__window_targets(loader, nc_hlx__window_start(loader, loader->next + i));
    return (float)(n ? n : 1);
}

NC_API uint64_t nc_hlx_fingerprint(const void *data, size_t bytes) {
    enum { WHOLE = 1 << 24, BLOCK = 1 << 16, BLOCKS = 256 };
    const uint8_t *from = (const uint8_t *)data;
    uint64_t hash = NC__FNV_START, i, step = (uint64_t)bytes - BLOCK;
    uint8_t size[8];
    if (bytes <= WHOLE) return nc__fnv1a(hash, from, bytes);
    for (i = 0; i < BLOCKS; i++) /* i step / 255 without overflow */
        hash = nc__fnv1a(
            hash, from + (size_t)(step / (BLOCKS - 1) * i + step % (BLOCKS - 1) * i / (BLOCKS - 1)),
            BLOCK);
    nc__put_le(size, bytes, sizeof size);
    return nc__fnv1a(hash, size, sizeof size);
}

#ifndef NC_NO_STDIO
NC_API nc_status nc_hlx_file_open(nc_hlx_file *file, const char *path, nc_error *err) {
    nc_status status = NC_OK;
#if defined(__unix__) || defined(__APPLE__)
    struct stat info;
    void *data = MAP_FAILED;
    int fd, known;
#endif
    nc__clear(err);
    if (file) memset(file, 0, sizeof *file);
    if (!file || !path) return nc__fail(err, NC_ERR_ARG, 0, 0, "no file or no path");
#if defined(__unix__) || defined(__APPLE__)
    if (stat(path, &info) == 0 && S_ISREG(info.st_mode)) { /* a pipe is opened once, to be read */
        fd = open(path, O_RDONLY);
        if (fd < 0) return nc__file_error(err, "open", path, errno);
        known = fstat(fd, &info) == 0 && info.st_size > 0 && (uint64_t)info.st_size <= SIZE_MAX;
        if (known) data = mmap(NULL, (size_t)info.st_size, PROT_READ, MAP_PRIVATE, fd, 0);
        (void)close(fd);
    }
    if (data != MAP_FAILED) {
        file->memory = (uint8_t *)data;
        file->bytes = (size_t)info.st_size;
        file->mapped = 1;
    }
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

/* -- what a file of data is -- */

/* llm.c's token files begin with 256 integers of 32 bits: a magic number, a version, the number of
 * tokens (dev/data/data_common.py there). */
enum {
    NC_HLX__LLMC_BYTES = 1024,
    NC_HLX__LLMC_MODEL = 20240326, /* of weights: section weights reads it */
    NC_HLX__LLMC_GPT2 = 20240520,
    NC_HLX__LLMC_EVAL = 20240522,
    NC_HLX__LLMC_LLAMA3 = 20240801
};

static nc_status nc_hlx__open_llmc(nc_hlx_source *s, const char *path, nc_error *err) {
    const uint64_t magic = nc__get_le(s->file.data, 4), version = nc__get_le(s->file.data + 4, 4);
    const uint32_t bytes = magic == NC_HLX__LLMC_GPT2 ? 2 : 4;
    s->count = (size_t)nc__get_le(s->file.data + 8, 4);
    if (magic == NC_HLX__LLMC_EVAL)
        return nc__fail(err, NC_ERR_UNSUPPORTED, 0, 0,
                        "'%.100s' holds questions of llm.c, not a stream of tokens", path);
    if (version != (bytes == 2 ? 1u : 7u))
        return nc__fail(err, NC_ERR_UNSUPPORTED, 0, 0, "'%.90s': version %u of llm.c's magic %u",
                        path, (unsigned)version, (unsigned)magic);
    if ((s->file.bytes - NC_HLX__LLMC_BYTES) / bytes != s->count ||
        (s->file.bytes - NC_HLX__LLMC_BYTES) % bytes)
        return nc__fail(err, NC_ERR_FORMAT, 0, 0, "'%.80s': %llu bytes are not %llu tokens of %u",
                        path, (unsigned long long)(s->file.bytes - NC_HLX__LLMC_BYTES),
                        (unsigned long long)s->count, (unsigned)bytes);
    s->tokens = s->file.data + NC_HLX__LLMC_BYTES;
    s->token_bytes = bytes;
    return NC_OK;
}

/* Negative numbers of few bytes would be tokens that a vocabulary may have. */
static nc_status nc_hlx__not_negative(const nc_hlx_source *s, const char *path, nc_error *err) {
    size_t i;
    for (i = 0; i < s->count; i++)
        if (s->tokens[(i + 1) * s->token_bytes - 1] >> 7)
            return nc__fail(err, NC_ERR_MISMATCH, 0, 0,
                            "'%.90s': number %llu is negative, no token", path,
                            (unsigned long long)i);
    return NC_OK;
}

static nc_status nc_hlx__open_npy(nc_hlx_source *s, const char *path, nc_error *err) {
    const uint64_t before = nc__npy_offset(s->file.data, s->file.bytes);
    nc__npy a;
    nc_status status;
    size_t bytes;
    if (before == 0 || before > s->file.bytes)
        return nc__fail(err, NC_ERR_FORMAT, 0, 0, "'%.100s': no whole header of .npy", path);
    status = nc__npy_header(&a, s->file.data, UINT64_MAX, err); /* the size is looked at below */
    if (status != NC_OK) return status;
    if ((a.kind != 'u' && a.kind != 'i') || (a.big_endian && a.width > 1))
        return nc__fail(err, NC_ERR_UNSUPPORTED, 0, 0,
                        "'%.80s': numbers of type %c%c%u, not little-endian integers", path,
                        a.width == 1   ? '|'
                        : a.big_endian ? '>'
                                       : '<',
                        a.kind, (unsigned)a.width);
    if (a.rank != 1)
        return nc__fail(err, NC_ERR_UNSUPPORTED, 0, 0,
                        "'%.100s': not one row of numbers (of one dimension)", path);
    bytes = s->file.bytes - a.offset;
    s->tokens = s->file.data + a.offset;
    s->token_bytes = a.width;
    s->count = bytes / a.width;
    if (s->count != a.count || bytes % a.width)
        return nc__fail(err, NC_ERR_FORMAT, 0, 0, "'%.80s': %llu bytes are not %llu tokens of %u",
                        path, (unsigned long long)bytes, (unsigned long long)a.count,
                        (unsigned)a.width);
    return a.kind == 'i' && a.width < 4 ? nc_hlx__not_negative(s, path, err) : NC_OK;
}

/* The tokens of an open file; token_bytes 0: by its content. */
static nc_status nc_hlx__recognize(nc_hlx_source *s, const char *path, uint32_t token_bytes,
                                   nc_error *err) {
    const size_t bytes = s->file.bytes;
    const uint64_t magic = bytes >= NC_HLX__LLMC_BYTES ? nc__get_le(s->file.data, 4) : 0;
    nc_status status = NC_OK;
    s->tokens = s->file.data;
    s->token_bytes = token_bytes ? token_bytes : 1;
    s->count = bytes / s->token_bytes;
    if (!token_bytes &&
        (magic == NC_HLX__LLMC_GPT2 || magic == NC_HLX__LLMC_LLAMA3 || magic == NC_HLX__LLMC_EVAL))
        status = nc_hlx__open_llmc(s, path, err);
    else if (!token_bytes && bytes >= 10 && !memcmp(s->file.data, "\x93NUMPY", 6))
        status = nc_hlx__open_npy(s, path, err);
    else if (!token_bytes && bytes && memchr(s->file.data, 0, nc_hlx__min(bytes, 65536)))
        return nc__fail(err, NC_ERR_FORMAT, 0, 0,
                        "'%.60s' is no text (it has bytes of 0): say how many bytes a token has",
                        path);
    else if (bytes % s->token_bytes)
        return nc__fail(err, NC_ERR_FORMAT, 0, 0, "'%.80s': %llu bytes are no tokens of %u", path,
                        (unsigned long long)bytes, (unsigned)s->token_bytes);
    else
        s->text = s->token_bytes == 1;
    s->file_token_bytes = s->token_bytes;
    return status;
}

/* -- from a file to loaders -- */

/* Put tokens behind the *count that are there. */
static nc_status nc_hlx__put_tokens(nc_hlx_source *s, const uint32_t *tokens, size_t n,
                                    size_t *count) {
    const size_t used = *count * s->token_bytes, bytes = nc__mul_size(n, s->token_bytes);
    uint8_t *out = s->encoded + used;
    size_t i;
    if (bytes > s->encoded_bytes - used) { /* more tokens than the text has bytes */
        const size_t room = nc__mul_size(s->encoded_bytes + bytes, 2);
        out = (uint8_t *)nc__alloc(NULL, room);
        if (!out) return NC_ERR_MEMORY;
        memcpy(out, s->encoded, used);
        nc__free(NULL, s->encoded, s->encoded_bytes);
        s->encoded = out;
        s->encoded_bytes = room;
        out += used;
    }
    for (i = 0; i < n; i++, out += s->token_bytes) nc__put_le(out, tokens[i], s->token_bytes);
    *count += n;
    return NC_OK;
}

/* Tokens of a text behind the *count that are there. Part by part, so that no copy of the whole
 * text in wider tokens is needed. */
static nc_status nc_hlx__encode_text(nc_hlx_source *s, const nc_hlx_data_options *o, size_t from,
                                     size_t to, size_t *count) {
    while (from < to) {
        const size_t length = nc_hlx__bpe_part(o->bpe, s->file.data + from, to - from);
        const size_t room = nc__mul_size(nc_hlx_bpe_room(o->bpe, length), sizeof(uint32_t));
        uint32_t *part = (uint32_t *)nc__alloc(NULL, room);
        nc_status status = NC_ERR_MEMORY;
        size_t n;
        if (!part) return NC_ERR_MEMORY;
        n = nc_hlx_bpe_encode(o->bpe, s->file.data + from, length, part);
        if (n != SIZE_MAX) status = nc_hlx__put_tokens(s, part, n, count);
        nc__free(NULL, part, room);
        if (status != NC_OK) return status;
        from += length;
        if (o->progress && o->progress(o->user, from, s->file.bytes)) return NC_ERR_CANCELLED;
    }
    return NC_OK;
}

/* A text in tokens, its first `split` bytes on their own: *first gets the number of theirs. */
static nc_status nc_hlx__encode_source(nc_hlx_source *s, const nc_hlx_data_options *o, size_t split,
                                       size_t *first) {
    nc_status status;
    size_t count = 0;
    s->token_bytes = nc_hlx_bpe_vocab(o->bpe) > 65536 ? 4 : 2;
    s->encoded_bytes = nc__mul_size(s->file.bytes, s->token_bytes);
    s->encoded = (uint8_t *)nc__alloc(NULL, s->encoded_bytes);
    if (!s->encoded) return NC_ERR_MEMORY;
    status = nc_hlx__encode_text(s, o, 0, split, &count);
    *first = count;
    if (status == NC_OK) status = nc_hlx__encode_text(s, o, split, s->file.bytes, &count);
    s->tokens = s->encoded;
    s->count = count;
    return status;
}

/* Whether all tokens are of the vocabulary. */
static nc_status nc_hlx__look_at(const nc_hlx_source *s, const char *path,
                                 const nc_hlx_data_options *o, nc_error *err) {
    size_t i;
    if (!o->vocab || (s->token_bytes < 4 && o->vocab >> 8 * s->token_bytes)) return NC_OK;
    if (s->encoded && nc_hlx_bpe_vocab(o->bpe) <= o->vocab) return NC_OK;
    for (i = 0; i < s->count; i++) {
        const uint8_t *at = s->tokens + i * s->token_bytes;
        const uint64_t token = nc__get_le(at, s->token_bytes);
        if (token >= o->vocab && s->encoded)
            return nc__fail(err, NC_ERR_MISMATCH, 0, 0,
                            "the tokenizer gives token %llu: the vocabulary has %u",
                            (unsigned long long)token, (unsigned)o->vocab);
        if (token >= o->vocab)
            return nc__fail(err, NC_ERR_MISMATCH, 0, 0,
                            "'%.40s': token %llu, at byte %llu, is %llu: the vocabulary has %u",
                            path, (unsigned long long)i, (unsigned long long)(at - s->file.data),
                            (unsigned long long)token, (unsigned)o->vocab);
        if (i % (1 << 20) == 0 && o->progress &&
            o->progress(o->user, i * s->token_bytes, s->file.bytes))
            return NC_ERR_CANCELLED;
    }
    return NC_OK;
}

/* Which tokens are targets. */
static nc_status nc_hlx__set_apart(nc_hlx_source *s, uint32_t document_end) {
    size_t i;
    s->mask = (uint8_t *)nc__alloc(NULL, s->count);
    if (!s->mask) return NC_ERR_MEMORY;
    memset(s->mask, 1, s->count);
    for (i = 1; i < s->count; i++)
        s->mask[i] = nc_hlx__take_token(s->tokens + (i - 1) * s->token_bytes, s->token_bytes) !=
                     document_end;
    return NC_OK;
}

/* Open a file of which the first nine tenths (in its tokens, or of a text in bytes) or all are one
 * part: *first and *first_bytes get its tokens and bytes. */
static nc_status nc_hlx__open_source(nc_hlx_source *s, const char *path, int all,
                                     const nc_hlx_data_options *o, size_t *first,
                                     size_t *first_bytes, nc_error *err) {
    nc_status status = nc_hlx_file_open(&s->file, path, err);
    if (status == NC_OK) status = nc_hlx__recognize(s, path, o->token_bytes, err);
    if (status != NC_OK) return status;
    *first = all ? s->count : s->count / 10 * 9;
    *first_bytes = *first * s->token_bytes;
    if (s->text && o->bpe) status = nc_hlx__encode_source(s, o, *first, first);
    if (status == NC_OK) status = nc_hlx__look_at(s, path, o, err);
    if (status == NC_OK && o->apart) status = nc_hlx__set_apart(s, o->document_end);
    if (status != NC_OK && (!err || err->status == NC_OK))
        (void)nc__fail(err, status, 0, 0, "'%.100s': %s", path, nc_status_str(status));
    return status;
}

/* A loader over count tokens of a source. */
static nc_status nc_hlx__load_source(nc_hlx_loader *loader, const nc_hlx_source *s, size_t first,
                                     size_t count, const nc_hlx_data_options *o) {
    const nc_status status =
        s->tokens ? nc_hlx_loader_init_tokens(loader, s->tokens + first * s->token_bytes, count,
                                              s->token_bytes, o->seq, o->seed)
                  : NC_ERR_LIMIT;
    if (status == NC_OK && s->mask) loader->mask = s->mask + first;
    return status == NC_OK ? NC_OK : NC_ERR_LIMIT;
}

NC_API nc_status nc_hlx_data_open_with(nc_hlx_data *data, const nc_hlx_data_options *options,
                                       nc_error *err) {
    const nc_hlx_data_options *o = options;
    const char *path;
    nc_hlx_source *valid;
    size_t train = 0, first = 0;
    nc_status status;
    nc__clear(err);
    if (data) memset(data, 0, sizeof *data);
    if (!data || !o || !o->path || !o->seq || (o->token_bytes && !nc_hlx__width(o->token_bytes)))
        return nc__fail(err, NC_ERR_ARG, 0, 0, "no path, no length, or not tokens of 1, 2, 4, 8");
    path = o->path;
    valid = o->valid_path ? &data->valid_source : &data->source;
    status = nc_hlx__open_source(&data->source, path, o->valid_path != NULL, o, &train,
                                 &data->train_bytes, err);
    data->valid_bytes = data->source.encoded ? data->source.file.bytes
                                             : data->source.count * data->source.file_token_bytes;
    data->valid_bytes -= data->train_bytes;
    if (status == NC_OK && o->valid_path)
        status = nc_hlx__open_source(valid, o->valid_path, 1, o, &first, &data->valid_bytes, err);
    if (status == NC_OK) {
        first = o->valid_path ? 0 : train;
        status = nc_hlx__load_source(&data->train, &data->source, 0, train, o);
        if (status == NC_OK && o->valid_path) path = o->valid_path;
        if (status == NC_OK)
            status = nc_hlx__load_source(&data->valid, valid, first, valid->count - first, o);
        if (status != NC_OK) nc__fail(err, status, 0, 0, "'%.120s' is too short", path);
    }
    if (status != NC_OK) nc_hlx_data_close(data);
    return status;
}

NC_API nc_status nc_hlx_data_open(nc_hlx_data *data, const char *path, uint32_t token_bytes,
                                  const nc_hlx_bpe *bpe, uint32_t seq, uint64_t seed,
                                  nc_error *err) {
    nc_hlx_data_options o;
    if (data) memset(data, 0, sizeof *data);
    memset(&o, 0, sizeof o);
    o.path = path;
    o.bpe = bpe;
    o.token_bytes = token_bytes;
    o.seq = seq;
    o.seed = seed;
    if (!nc_hlx__width(token_bytes) || (bpe && token_bytes != 1))
        return nc__fail(err, NC_ERR_ARG, 0, 0,
                        "tokens have 1, 2, 4 or 8 bytes, and text a tokenizer");
    return nc_hlx_data_open_with(data, &o, err);
}

static void nc_hlx__close_source(nc_hlx_source *s) {
    nc__free(NULL, s->encoded, s->encoded_bytes);
    nc__free(NULL, s->mask, s->count);
    nc_hlx_file_close(&s->file);
}

NC_API void nc_hlx_data_close(nc_hlx_data *data) {
    if (!data) return;
    nc_hlx__close_source(&data->source);
    nc_hlx__close_source(&data->valid_source);
    memset(data, 0, sizeof *data);
}
#endif

/* >>model ========================================================================== */

/* -- configurations -- */

NC__COLD_BEGIN

static uint32_t nc_hlx__head_size(const nc_hlx_config *c) {
    return c->head_size ? c->head_size : c->d_model / c->num_heads;
}

static float nc_hlx__norm_eps(const nc_hlx_config *c) {
    return c->norm_eps > 0.0f ? c->norm_eps : 1e-5f;
}

static nc_hlx_rope nc_hlx__rope(const nc_hlx_config *c) {
    nc_hlx_rope r;
    r.theta = c->rope_theta;
    r.original = c->rope_original;
    r.factor = c->rope_factor;
    r.low = c->rope_low;
    r.high = c->rope_high;
    return r;
}

/* Whether the members behind `activation` are in their ranges; a setting without what it sets is
 * none. */
static int nc_hlx__family_holds(const nc_hlx_config *c) {
    nc_hlx_rope r = nc_hlx__rope(c);
    const int none =
        r.theta == 0.0f && !r.original && r.factor == 0.0f && r.low == 0.0f && r.high == 0.0f;
    return c->rms_norm <= 1 && c->rotary <= 1 && c->gated_ffn <= 1 &&
           c->biases <= NC_HLX_BIASES_QKV && (c->head_size || c->d_model % c->num_heads == 0) &&
           (!c->num_kv_heads || c->num_heads % c->num_kv_heads == 0) &&
           (uint64_t)c->num_heads * nc_hlx__head_size(c) < UINT64_C(1) << 20 &&
           c->norm_eps >= 0.0f && c->norm_eps < 1.0f &&
           (c->rotary ? nc_hlx__head_size(c) % 2 == 0 && nc_hlx__rope_complete(&r) : none);
}

/* Zeros become the documented defaults; what is then out of the documented ranges is NC_ERR_ARG. */
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
    if (c.num_kv_heads == c.num_heads) c.num_kv_heads = 0;
    if ((uint64_t)c.head_size * c.num_heads == c.d_model) c.head_size = 0;
    if (c.norm_eps == 1e-5f) c.norm_eps = 0.0f;
    if (c.rope_theta == 10000.0f) c.rope_theta = 0.0f;
    *out = c;
    if (c.vocab_size >> 20 || c.d_model >> 20 || c.num_layers >> 20 || c.num_heads >> 20 ||
        c.ffn_dim >> 20 || c.max_seq_len >> 20 || c.batch_size >> 20 || c.tied_output > 1 ||
        c.micro_batches >> 20 || c.flash > 1 || c.recompute > 1 || c.bf16 > 1 ||
        c.activation >= NC_HLX_ACTIVATIONS || !(c.dropout >= 0.0f && c.dropout < 1.0f) ||
        (uint64_t)c.batch_size * c.micro_batches >> 20 ||
        (uint64_t)c.batch_size * c.micro_batches * c.max_seq_len >= UINT64_C(1) << 24 ||
        !nc_hlx__family_holds(&c))
        return NC_ERR_ARG;
    return NC_OK;
}

NC_API nc_status nc_hlx_preset(const char *name, nc_hlx_config *config) {
    static const struct {
        char name[8];
        uint32_t d_model, num_layers, num_heads, ffn_dim, max_seq_len;
    } list[] = {{"demo", 64, 2, 4, 256, 64},
                {"tiny", 256, 4, 4, 1024, 128},
                {"small", 512, 6, 8, 2048, 256},
                {"medium", 768, 12, 12, 3072, 512}};
    size_t i;
    memset(config, 0, sizeof *config);
    for (i = 0; i < sizeof list / sizeof *list; i++)
        if (!strcmp(name, list[i].name)) {
            config->d_model = list[i].d_model;
            config->num_layers = list[i].num_layers;
            config->num_heads = list[i].num_heads;
            config->ffn_dim = list[i].ffn_dim;
            config->max_seq_len = list[i].max_seq_len;
            return nc_hlx__complete(config, config);
        }
    return NC_ERR_ARG;
}

/* -- dimensions -- */

/* What a tensor's side or a row of a buffer may be, in values. */
enum {
    NC_HLX__N_ONE,
    NC_HLX__N_D,
    NC_HLX__N_QKV,    /* Q of all heads, K and V of those that have some */
    NC_HLX__N_MIXED,  /* all heads' values */
    NC_HLX__N_NARROW, /* d or all heads' values: the larger */
    NC_HLX__N_FFN,
    NC_HLX__N_FC,    /* ffn, or gate and up */
    NC_HLX__N_GATED, /* ffn with a gate */
    NC_HLX__N_MEAN,  /* of a layer norm, not of RMSNorm */
    NC_HLX__N_VOCAB,
    NC_HLX__N_SEQ,
    NC_HLX__N_SCORES,  /* of one query: all keys of every head, or with flash one number a head */
    NC_HLX__N_MICRO,   /* one for each micro-batch */
    NC_HLX__N_DROPPED, /* d with dropout */
    /* and what does not grow with the rows: */
    NC_HLX__N_SUMS,    /* a number a chunk of the parameters */
    NC_HLX__N_ROUNDED, /* with bf16 one layer's parameters, or the output matrix */
    NC_HLX__N_CANDIDATES,
    NC_HLX__N_ROTARY, /* the table */
    NC_HLX__N_GEMM,
    NC_HLX__N_HEADS
};

/* The shape of a model's attention, for so many windows. */
static nc_hlx_heads nc_hlx__heads(const nc_hlx_config *c, size_t batch, size_t seq) {
    nc_hlx_heads s;
    s.batch = batch;
    s.seq = seq;
    s.heads = c->num_heads;
    s.head_size = nc_hlx__head_size(c);
    s.causal = 1;
    s.kv_heads = c->num_kv_heads;
    return s;
}

static size_t nc_hlx__dimension(const nc_hlx_config *c, int of) {
    const nc_hlx_heads shape = nc_hlx__heads(c, 1, 1);
    const size_t mixed = shape.heads * shape.head_size;
    switch (of) {
    case NC_HLX__N_D: return c->d_model;
    case NC_HLX__N_QKV: return nc_hlx__qkv_width(&shape);
    case NC_HLX__N_MIXED: return mixed;
    case NC_HLX__N_NARROW: return mixed > c->d_model ? mixed : c->d_model;
    case NC_HLX__N_FFN: return c->ffn_dim;
    case NC_HLX__N_FC: return (c->gated_ffn ? 2 : 1) * (size_t)c->ffn_dim;
    case NC_HLX__N_GATED: return c->gated_ffn ? c->ffn_dim : 0;
    case NC_HLX__N_MEAN: return !c->rms_norm;
    case NC_HLX__N_VOCAB: return c->vocab_size;
    case NC_HLX__N_SEQ: return c->max_seq_len;
    case NC_HLX__N_SCORES: return nc__mul_size(c->num_heads, c->flash ? 1 : c->max_seq_len);
    case NC_HLX__N_MICRO: return c->micro_batches;
    case NC_HLX__N_DROPPED: return c->dropout > 0.0f ? c->d_model : 0;
    default: return 1;
    }
}

/* -- the table of parameter tensors -- */

enum { NC_HLX__MODEL, NC_HLX__LAYER, NC_HLX__UNTIED }; /* one; one a layer; one unless tied */
enum { NC_HLX__ZEROS, NC_HLX__ONES, NC_HLX__NORMAL, NC_HLX__RESIDUAL };

/* X(name, GPT-2's name with %u for the layer, rows, columns, where, start, weight decay applies),
 * in the order of checkpoints; those of a layer stand together, and a bias behind its weight. What
 * a model does without (nc_hlx__absent) has size 0.
 * Matrices give y = x W + b, as GPT-2's Conv1D stores them; one row: a vector. */
#define NC_HLX__TENSOR_LIST(X)                                                                     \
    X(WTE, "wte.weight", VOCAB, D, MODEL, NORMAL, 1)                                               \
    X(WPE, "wpe.weight", SEQ, D, MODEL, NORMAL, 1)                                                 \
    X(LN1_W, "h.%u.ln_1.weight", ONE, D, LAYER, ONES, 0)                                           \
    X(LN1_B, "h.%u.ln_1.bias", ONE, D, LAYER, ZEROS, 0)                                            \
    X(QKV_W, "h.%u.attn.c_attn.weight", D, QKV, LAYER, NORMAL, 1)                                  \
    X(QKV_B, "h.%u.attn.c_attn.bias", ONE, QKV, LAYER, ZEROS, 0)                                   \
    X(PROJ_W, "h.%u.attn.c_proj.weight", MIXED, D, LAYER, RESIDUAL, 1)                             \
    X(PROJ_B, "h.%u.attn.c_proj.bias", ONE, D, LAYER, ZEROS, 0)                                    \
    X(LN2_W, "h.%u.ln_2.weight", ONE, D, LAYER, ONES, 0)                                           \
    X(LN2_B, "h.%u.ln_2.bias", ONE, D, LAYER, ZEROS, 0)                                            \
    X(FC_W, "h.%u.mlp.c_fc.weight", D, FC, LAYER, NORMAL, 1)                                       \
    X(FC_B, "h.%u.mlp.c_fc.bias", ONE, FC, LAYER, ZEROS, 0)                                        \
    X(OUT_W, "h.%u.mlp.c_proj.weight", FFN, D, LAYER, RESIDUAL, 1)                                 \
    X(OUT_B, "h.%u.mlp.c_proj.bias", ONE, D, LAYER, ZEROS, 0)                                      \
    X(LNF_W, "ln_f.weight", ONE, D, MODEL, ONES, 0)                                                \
    X(LNF_B, "ln_f.bias", ONE, D, MODEL, ZEROS, 0)                                                 \
    X(HEAD, "lm_head.weight", VOCAB, D, UNTIED, NORMAL, 1)

#define NC_HLX__NAME(name, gpt2, rows, columns, where, start, decays) NC_HLX__##name,
enum { NC_HLX__TENSOR_LIST(NC_HLX__NAME) NC_HLX__TENSORS };
#undef NC_HLX__NAME

#define NC_HLX__ROW(name, gpt2, rows, columns, where, start, decays)                               \
    {gpt2, NC_HLX__N_##rows, NC_HLX__N_##columns, NC_HLX__##where, NC_HLX__##start, decays},
static const struct {
    char name[26];
    uint8_t rows, columns, where, start, decays;
} nc_hlx__tensors[] = {NC_HLX__TENSOR_LIST(NC_HLX__ROW)};
#undef NC_HLX__ROW

/* Where the tensors of layer 0 and of the model stand among the parameters, and their sizes. */
typedef struct nc_hlx__layout {
    size_t offset[NC_HLX__TENSORS];
    size_t size[NC_HLX__TENSORS];
    size_t layer_stride;
    size_t total;
    int layer_first; /* the first tensor of a layer */
} nc_hlx__layout;

static int nc_hlx__is_layer_tensor(int t) {
    return t < NC_HLX__TENSORS && nc_hlx__tensors[t].where == NC_HLX__LAYER;
}

/* Whether a model does without a tensor. */
static int nc_hlx__absent(const nc_hlx_config *c, int t) {
    switch (t) {
    case NC_HLX__WPE: return (int)c->rotary;
    case NC_HLX__LN1_B:
    case NC_HLX__LN2_B:
    case NC_HLX__LNF_B: return (int)c->rms_norm;
    case NC_HLX__QKV_B: return c->biases == NC_HLX_BIASES_NONE;
    case NC_HLX__PROJ_B:
    case NC_HLX__FC_B:
    case NC_HLX__OUT_B: return c->biases != NC_HLX_BIASES_ALL;
    default: return nc_hlx__tensors[t].where == NC_HLX__UNTIED && c->tied_output;
    }
}

/* Places of the tensors in the one array of parameters: those before the layers, layer by layer
 * with one stride, those behind; sizes saturate, so that a model too large fails when it is
 * allocated. */
static void nc_hlx__make_layout(const nc_hlx_config *c, nc_hlx__layout *l) {
    size_t at = 0;
    int t;
    memset(l, 0, sizeof *l);
    for (t = NC_HLX__TENSORS; t-- > 0;) {
        l->size[t] = nc__mul_size(nc_hlx__dimension(c, nc_hlx__tensors[t].rows),
                                  nc_hlx__dimension(c, nc_hlx__tensors[t].columns));
        if (nc_hlx__absent(c, t)) l->size[t] = 0;
        if (!nc_hlx__is_layer_tensor(t)) continue;
        l->layer_stride = nc__add_size(l->layer_stride, l->size[t]);
        l->layer_first = t;
    }
    for (t = 0; t < NC_HLX__TENSORS; t++) {
        l->offset[t] = at;
        at = nc__add_size(at, l->size[t]);
        if (nc_hlx__is_layer_tensor(t) && !nc_hlx__is_layer_tensor(t + 1))
            at = nc__add_size(at, nc__mul_size(c->num_layers - 1, l->layer_stride));
    }
    l->total = at;
}

/* -- the table of activation buffers -- */

/* Who keeps a buffer until the backward pass: KEPT, every layer its own, unless recompute runs
 * layers again; PACKED, the same, but with bf16 as a packed copy; OWN, every layer in any case;
 * SHARED, no layer: one for all; and HOST and DEVICE, one, where it is needed there alone. */
enum { NC_HLX__KEPT, NC_HLX__PACKED, NC_HLX__OWN, NC_HLX__SHARED, NC_HLX__HOST, NC_HLX__DEVICE };

/* X(name, values a row of the batch, who keeps it). Behind a layer norm's output stand its means
 * and reciprocal deviations. */
#define NC_HLX__BUFFER_LIST(X)                                                                     \
    X(LN1, D, PACKED)                                                                              \
    X(LN1_MEAN, MEAN, KEPT)                                                                        \
    X(LN1_RSTD, ONE, KEPT)                                                                         \
    X(QKV, QKV, PACKED)                                                                            \
    X(SCORES, SCORES,                                                                              \
      KEPT) /* probabilities (batch, heads, seq, seq), or lse (batch, heads, seq) */               \
    X(MIXED, MIXED, PACKED) /* of attention, before its projection */                              \
    X(MIDDLE, D, KEPT)      /* the residual stream between attention and feed-forward */           \
    X(LN2, D, PACKED)                                                                              \
    X(LN2_MEAN, MEAN, KEPT)                                                                        \
    X(LN2_RSTD, ONE, KEPT)                                                                         \
    X(FC, FC, PACKED)                                                                              \
    X(ACTIVATED, FFN, PACKED)                                                                      \
    X(OUT, D, OWN)                                                                                 \
    X(EMBEDDED, D, SHARED)                                                                         \
    X(FINAL, D, SHARED)                                                                            \
    X(FINAL_MEAN, MEAN, SHARED)                                                                    \
    X(FINAL_RSTD, ONE, SHARED)                                                                     \
    X(LOGITS, VOCAB, SHARED) /* and their gradient */                                              \
    X(LOSSES, MICRO, SHARED)                                                                       \
    X(D_RESIDUAL, D, SHARED) /* gradients */                                                       \
    X(D_WIDE, FC, SHARED)                                                                          \
    X(D_GATED, GATED, SHARED)                                                                      \
    X(D_QKV, QKV, SHARED)                                                                          \
    X(D_NARROW, NARROW, SHARED)                                                                    \
    X(D_BRANCH, DROPPED, SHARED)                                                                   \
    X(D_SCORES, SCORES, DEVICE) /* or dot(dO, O) of each query with flash */                       \
    X(SUMS, SUMS, SHARED)                                                                          \
    X(ROTARY, ROTARY, SHARED)                                                                      \
    X(ROUNDED, ROUNDED, SHARED)                                                                    \
    X(TOKENS, ONE, HOST)                                                                           \
    X(TARGETS, ONE, HOST)                                                                          \
    X(CANDIDATES, CANDIDATES, HOST)                                                                \
    X(GEMM_WORK, GEMM, HOST)                                                                       \
    X(HEAD_WORK, HEADS, HOST)

#define NC_HLX__NAME(name, width, keeper) NC_HLX__A_##name,
enum { NC_HLX__BUFFER_LIST(NC_HLX__NAME) NC_HLX__BUFFERS };
#undef NC_HLX__NAME

#define NC_HLX__ROW(name, width, keeper) {NC_HLX__N_##width, NC_HLX__##keeper},
static const struct {
    uint8_t width, keeper;
} nc_hlx__buffers[] = {NC_HLX__BUFFER_LIST(NC_HLX__ROW)};
#undef NC_HLX__ROW

/* Where the buffers stand in the arena of activations, in words of four bytes. */
typedef struct nc_hlx__plan {
    size_t at[NC_HLX__BUFFERS];     /* of layer 0, where every layer has its own */
    size_t packed[NC_HLX__BUFFERS]; /* of layer 0's packed copy */
    size_t layer_stride;
    size_t words;
} nc_hlx__plan;

/* A token and its probability, for sampling. */
typedef struct nc_hlx__candidate {
    float probability;
    uint32_t token;
} nc_hlx__candidate;

/* A pass over the rows of one batch: what, by whom and where. */
typedef struct nc_hlx__pass {
    nc_hlx_model *model;
    const struct nc_hlx__ops *ops; /* this machine, or a recording for a device */
    const nc_hlx__plan *plan;
    struct nc_hlx_gpu *gpu; /* of the recording */
    nc_hlx_loader *loader;  /* of a training step here */
    size_t batch, seq, rows;
    size_t layer;        /* that is being computed */
    nc_hlx_cache *cache; /* whose sequences the rows continue, or null */
    uint32_t micro;      /* batch of the step */
    int dropping;        /* with dropout */
    float count;         /* rows with a target, in the whole step */
    size_t losses;       /* of the whole step; 0: gradients alone are given */
    float loss, norm;    /* the mean of all losses; of all gradients */
    nc_status status;
    nc_hlx_adamw adamw;
    nc_hlx_ready_fn ready; /* null: nobody waits for parts of the gradients */
    void *user;
} nc_hlx__pass;

struct nc_hlx_model {
    nc_hlx_config config;
    nc_hlx__layout layout;
    nc_hlx__plan plan;
    nc_allocator hooks;
    int custom_hooks;
    int ready;     /* a forward pass with targets awaits its backward pass */
    int inference; /* no gradients, no moments, one layer's activations */
    uint32_t threads;
    uint64_t step, seed;
    nc_hlx_adamw adamw; /* of the last step */
    nc_hlx_run run;
    size_t state_bytes, work_bytes;
    size_t first, count;                   /* the parameters whose moments are kept */
    float *parameters, *gradients, *m, *v; /* one arena: the state */
    float *work;                           /* the other: activations and scratch */
    const float *rotary;                   /* the table, in work; null without */
    nc_hlx__pass pass;                     /* the last one here */
    nc_hlx_cache *cache;                   /* of nc_hlx_decode, from its first call on */
};

/* The hooks that the model was made with, null for the default ones. */
static const nc_allocator *nc_hlx__hooks(const nc_hlx_model *model) {
    return model->custom_hooks ? &model->hooks : NULL;
}

/* Whether only backward passes and updates need a buffer. */
static int nc_hlx__of_training(int b) { return b >= NC_HLX__A_D_RESIDUAL && b <= NC_HLX__A_SUMS; }

/* Words of a buffer. */
static size_t nc_hlx__buffer_words(const nc_hlx_model *model, int b, int device) {
    const nc_hlx_config *c = &model->config;
    const nc_hlx_heads shape = nc_hlx__heads(c, c->batch_size, c->max_seq_len);
    const size_t rows = (size_t)c->batch_size * c->max_seq_len, layer = model->layout.layer_stride;
    const size_t head = model->layout.size[NC_HLX__WTE], keeper = nc_hlx__buffers[b].keeper;
    if (keeper == (device ? NC_HLX__HOST : NC_HLX__DEVICE)) return 0;
    if (model->inference && nc_hlx__of_training(b)) return 0;
    switch (nc_hlx__buffers[b].width) {
    case NC_HLX__N_SUMS: /* a device keeps those of every level of the reduction */
        return model->layout.total / NC_HLX__CHUNK + 1 + (device ? NC_HLX__CHUNK : 0);
    case NC_HLX__N_ROUNDED: return !c->bf16 ? 0 : head > layer ? head : layer;
    case NC_HLX__N_ROTARY: return !c->rotary ? 0 : nc__mul_size(c->max_seq_len, shape.head_size);
    case NC_HLX__N_CANDIDATES: return sizeof(nc_hlx__candidate) / 4 * c->vocab_size;
    case NC_HLX__N_GEMM: return nc_hlx_gemm_work_bytes() / 4;
    case NC_HLX__N_HEADS:
        return nc_hlx_attention_work_bytes(&shape, (int)c->flash, model->threads) / 4;
    default: return nc__mul_size(rows, nc_hlx__dimension(c, nc_hlx__buffers[b].width));
    }
}

/* Whether every layer has its own, and whether it keeps a packed copy. */
static int nc_hlx__owned(const nc_hlx_model *model, int b) {
    const int keeper = nc_hlx__buffers[b].keeper, kept = !model->config.recompute;
    if (model->inference) return 0;
    return keeper == NC_HLX__OWN || (keeper == NC_HLX__KEPT && kept) ||
           (keeper == NC_HLX__PACKED && kept && !model->config.bf16);
}

static int nc_hlx__packed(const nc_hlx_model *model, int b) {
    return nc_hlx__buffers[b].keeper == NC_HLX__PACKED && model->config.bf16 &&
           !model->config.recompute && !model->inference;
}

/* Take n words, from a multiple of 64 bytes on. */
static size_t nc_hlx__take(size_t *used, size_t n) {
    const size_t at = *used;
    *used = nc__add_size(at, nc__add_size(n, 15) & ~(size_t)15);
    return at;
}

/* First what the layers share, then layer after layer. */
static void nc_hlx__make_plan(const nc_hlx_model *model, int device, nc_hlx__plan *plan) {
    size_t used = 0, first = 0, packed = 0;
    int own, b;
    for (own = 0; own < 2; own++) {
        first = used;
        for (b = 0; b < NC_HLX__BUFFERS; b++)
            if (nc_hlx__owned(model, b) == own)
                plan->at[b] = nc_hlx__take(&used, nc_hlx__buffer_words(model, b, device));
    }
    for (b = 0; b < NC_HLX__BUFFERS; b++) {
        plan->packed[b] = nc__add_size(used, packed);
        if (nc_hlx__packed(model, b))
            packed = nc__add_size(packed, (nc_hlx__buffer_words(model, b, device) + 1) / 2);
    }
    (void)nc_hlx__take(&used, packed);
    plan->layer_stride = used - first;
    plan->words = nc__add_size(first, nc__mul_size(model->config.num_layers, plan->layer_stride));
}

/* -- a tensor after the other -- */

typedef struct nc_hlx__cursor {
    int t;
    size_t layer, at, size; /* at: its place among the parameters */
} nc_hlx__cursor;

/* The next tensor in the order of the parameters; 0 after the last. Begin with t -1. */
static int nc_hlx__next_tensor(const nc_hlx_model *model, nc_hlx__cursor *x) {
    const nc_hlx__layout *l = &model->layout;
    do {
        if (x->t >= 0 && nc_hlx__is_layer_tensor(x->t) && !nc_hlx__is_layer_tensor(x->t + 1) &&
            x->layer + 1 < model->config.num_layers) {
            x->t = l->layer_first;
            x->layer++;
        } else {
            x->t++;
        }
        if (x->t == NC_HLX__TENSORS) return 0;
        if (!nc_hlx__is_layer_tensor(x->t)) x->layer = 0;
    } while (l->size[x->t] == 0);
    x->at = l->offset[x->t] + x->layer * l->layer_stride;
    x->size = l->size[x->t];
    return 1;
}

static nc_hlx__cursor nc_hlx__first_tensor(void) {
    nc_hlx__cursor x = {-1, 0, 0, 0};
    return x;
}

/* -- a model -- */

static uint32_t nc_hlx__threads(void) {
#ifdef _OPENMP
    return (uint32_t)omp_get_max_threads();
#else
    return 1;
#endif
}

/* Whether a model keeps all moments. */
static int nc_hlx__whole(const nc_hlx_model *model) { return model->count == model->layout.total; }

/* A model of this configuration, without its memory. */
static nc_status nc_hlx__describe(nc_hlx_model *model, const nc_hlx_config *config) {
    nc_status status;
    memset(model, 0, sizeof *model);
    status = nc_hlx__complete(config, &model->config);
    if (status != NC_OK) return status;
    model->threads = nc_hlx__threads();
    nc_hlx__make_layout(&model->config, &model->layout);
    nc_hlx__make_plan(model, 0, &model->plan);
    model->count = model->layout.total;
    model->state_bytes = nc__mul_size(model->layout.total, 4 * sizeof(float));
    model->work_bytes = nc__mul_size(model->plan.words, 4);
    return NC_OK;
}

/* Bytes of two blocks, UINT64_MAX where a size has saturated. */
static uint64_t nc_hlx__both(size_t a, size_t b) {
    return nc__add_size(a, b) == SIZE_MAX ? UINT64_MAX : a + b;
}

NC_API nc_status nc_hlx_footprint(const nc_hlx_config *config, uint64_t *parameters,
                                  uint64_t *bytes) {
    nc_hlx_model model;
    nc_status status = nc_hlx__describe(&model, config);
    if (status != NC_OK) return status;
    if (parameters) *parameters = model.layout.total;
    if (bytes) *bytes = nc_hlx__both(model.state_bytes, model.work_bytes);
    return NC_OK;
}

/* Fused multiply-add is fused, and nothing else is: (1 + e)(1 - e) - 1 = -e^2 needs the fused
 * product (e = 2^-13), and the same expression in two roundings must give 0. */
static int nc_hlx__contract_holds(void) {
    volatile float e = 1.0f / 8192.0f, one = 1.0f, tiny = 1e-39f;
    float a = one + e, b = one - e, minus_one = -one;
    float fused = NC__FMAF(a, b, minus_one), separate = a * b + minus_one;
    return fused == -e * e && separate == 0.0f && tiny * one != 0.0f;
}

/* The memory of a model that has been described. */
static nc_status nc_hlx__allocate(nc_hlx_model **model, nc_hlx_model *made,
                                  const nc_allocator *hooks) {
    nc_hlx_model *m;
    if (!nc_hlx__contract_holds()) return NC_ERR_UNSUPPORTED;
    if (hooks) made->hooks = *hooks;
    made->custom_hooks = hooks != NULL;
    m = (nc_hlx_model *)nc__alloc(hooks, sizeof *m);
    if (!m) return NC_ERR_MEMORY;
    made->parameters = (float *)nc__calloc(hooks, made->state_bytes);
    made->work = (float *)nc__alloc(hooks, made->work_bytes);
    *m = *made;
    if (!m->parameters || !m->work) {
        nc_hlx_destroy(m);
        return NC_ERR_MEMORY;
    }
    if (!m->inference) {
        m->gradients = m->parameters + m->layout.total;
        m->m = m->gradients + m->layout.total;
        m->v = m->m + m->count;
    }
    if (m->config.rotary) {
        const nc_hlx_rope rope = nc_hlx__rope(&m->config);
        float *table = m->work + m->plan.at[NC_HLX__A_ROTARY];
        (void)nc_hlx_rotary_table(table, m->config.max_seq_len, nc_hlx__head_size(&m->config),
                                  &rope);
        m->rotary = table;
    }
    *model = m;
    return NC_OK;
}

NC_API nc_status nc_hlx_create(nc_hlx_model **model, const nc_hlx_config *config,
                               const nc_allocator *hooks) {
    nc_hlx_model made;
    nc_status status;
    if (!model) return NC_ERR_ARG;
    *model = NULL;
    status = nc_hlx__describe(&made, config);
    return status == NC_OK ? nc_hlx__allocate(model, &made, hooks) : status;
}

NC_API nc_status nc_hlx_create_shard(nc_hlx_model **model, const nc_hlx_config *config,
                                     size_t first, size_t count, const nc_allocator *hooks) {
    nc_hlx_model made;
    nc_status status;
    if (!model) return NC_ERR_ARG;
    *model = NULL;
    status = nc_hlx__describe(&made, config);
    if (status != NC_OK) return status;
    if (first > made.layout.total || count > made.layout.total - first) return NC_ERR_ARG;
    made.first = first;
    made.count = count;
    made.state_bytes = nc__mul_size(nc__add_size(made.layout.total, count), 2 * sizeof(float));
    return nc_hlx__allocate(model, &made, hooks);
}

NC_API nc_status nc_hlx_create_inference(nc_hlx_model **model, const nc_hlx_config *config,
                                         const nc_allocator *hooks) {
    nc_hlx_model made;
    nc_status status;
    if (!model) return NC_ERR_ARG;
    *model = NULL;
    status = nc_hlx__describe(&made, config);
    if (status != NC_OK) return status;
    made.inference = 1;
    made.count = 0;
    nc_hlx__make_plan(&made, 0, &made.plan);
    made.state_bytes = nc__mul_size(made.layout.total, sizeof(float));
    made.work_bytes = nc__mul_size(made.plan.words, 4);
    return nc_hlx__allocate(model, &made, hooks);
}

NC_API void nc_hlx_destroy(nc_hlx_model *model) {
    nc_allocator hooks;
    const nc_allocator *use;
    if (!model) return;
    nc_hlx_cache_destroy(model->cache);
    hooks = model->hooks;
    use = model->custom_hooks ? &hooks : NULL;
    nc__free(use, model->work, model->work_bytes);
    nc__free(use, model->parameters, model->state_bytes);
    nc__free(use, model, sizeof *model);
}

NC__COLD_END

/* Normal-like value of deviation 1: the sum of twelve uniform 16-bit integers, centred (Irwin
 * and Hall). Integer arithmetic only, so the same value everywhere. */
static float nc_hlx__normal(uint64_t seed, uint64_t index, uint32_t stream) {
    uint32_t words[4];
    int32_t sum = 0;
    int i, j;
    for (i = 0; i < 2; i++) {
        nc__philox(seed, index, ((uint64_t)stream << 8) | (uint64_t)i, words);
        for (j = 0; j < 3; j++) sum += (int32_t)(words[j] & 0xFFFF) + (int32_t)(words[j] >> 16);
    }
    return (float)(2 * sum - 12 * 65535) / 131072.0f;
}

/* The stream of a tensor's first values: tensors are counted in the order of the table, all layers
 * of one before the next. */
static uint32_t nc_hlx__stream_of(const nc_hlx_model *model, const nc_hlx__cursor *x) {
    uint32_t id = (uint32_t)x->layer;
    int t;
    for (t = 0; t < x->t; t++) id += nc_hlx__is_layer_tensor(t) ? model->config.num_layers : 1;
    return id;
}

/* Forget the optimiser's past. */
static void nc_hlx__restart(nc_hlx_model *model) {
    if (model->m) memset(model->m, 0, 2 * model->count * sizeof(float));
    memset(&model->adamw, 0, sizeof model->adamw);
    model->step = 0;
    model->ready = 0;
}

NC_API void nc_hlx_init_weights(nc_hlx_model *model, uint64_t seed) {
    const float residual = 0.02f / sqrtf(2.0f * (float)model->config.num_layers);
    nc_hlx__cursor x = nc_hlx__first_tensor();
    size_t i;
    nc_hlx_zero_gradients(model);
    nc_hlx__restart(model);
    model->seed = seed;
    while (nc_hlx__next_tensor(model, &x)) {
        const int start = nc_hlx__tensors[x.t].start;
        const float scale = start == NC_HLX__RESIDUAL ? residual : 0.02f;
        const uint32_t stream = nc_hlx__stream_of(model, &x);
        float *p = model->parameters + x.at;
        for (i = 0; i < x.size; i++) {
            if (start >= NC_HLX__NORMAL)
                p[i] = scale * nc_hlx__normal(seed, i, stream);
            else
                p[i] = start == NC_HLX__ONES ? 1.0f : 0.0f;
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
    if (count) *count = model->inference ? 0 : model->layout.total;
    return model->gradients;
}

NC_API float *nc_hlx_moments(nc_hlx_model *model, size_t *first, size_t *count) {
    if (first) *first = model->first;
    if (count) *count = model->count;
    return model->m;
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

/* >>passes ========================================================================= */

/* -- what a step is made of -- */

/* Where numbers stand: offsets in the state (parameters, gradients, m, v, `total` of each) or in
 * the arena of activations. */
enum { NC_HLX__NOWHERE, NC_HLX__STATE, NC_HLX__WORK };
typedef struct nc_hlx__place {
    int in;
    size_t at;
} nc_hlx__place;

/* Numbers of the kernels elementwise and bf16. */
enum {
    NC_HLX__E_ADD = 0, /* out = a + b */
    NC_HLX__E_ZERO = 4 /* out = 0 */
};
enum { NC_HLX__BF16_ROUND, NC_HLX__BF16_PACK, NC_HLX__BF16_UNPACK };

/* Values that the operation bf16 takes from x to out. */
typedef struct nc_hlx__pieces {
    uint32_t count;
    struct {
        nc_hlx__place out, x;
        size_t n;
    } at[8];
} nc_hlx__pieces;

/* The operations, each the work of a public kernel on the rows of the pass. nc_hlx__host does them
 * here, nc_hlx__device (section gpu) records them; the passes below are the same for both. */
typedef struct nc_hlx__ops {
    /* the next operation and the one behind it write nothing that the other reads or writes */
    void (*apart)(nc_hlx__pass *s);
    /* tokens and targets of batch s->micro */
    nc_status (*batch)(nc_hlx__pass *s);
    void (*embedding)(nc_hlx__pass *s, nc_hlx__place out);
    void (*embedding_backward)(nc_hlx__pass *s, nc_hlx__place dout);
    /* residual, which is added to what dropout leaves, may be nowhere */
    void (*dropout)(nc_hlx__pass *s, nc_hlx__place out, nc_hlx__place x, nc_hlx__place residual,
                    uint32_t stream);
    void (*elementwise)(nc_hlx__pass *s, uint32_t operation, nc_hlx__place out, nc_hlx__place a,
                        nc_hlx__place b, size_t n);
    void (*bf16)(nc_hlx__pass *s, uint32_t mode, const nc_hlx__pieces *list);
    /* c (m x n) = op(a) op(b), or +=, without gaps between rows */
    void (*gemm)(nc_hlx__pass *s, int trans_a, int trans_b, size_t m, size_t n, size_t k,
                 nc_hlx__place a, nc_hlx__place b, nc_hlx__place c, int accumulate);
    /* activated, bias and residual may be nowhere; rounded: out to bfloat16, and activated, which
     * is of the rounded values */
    void (*linear)(nc_hlx__pass *s, nc_hlx__place out, nc_hlx__place activated, nc_hlx__place x,
                   nc_hlx__place w, nc_hlx__place bias, nc_hlx__place residual, size_t k, size_t n,
                   int rounded);
    /* of dout (.. x n) for w (k x n): dw += x^T dout, db (may be nowhere) += the column sums of
     * dout, dx = dout w^T, times the activation's derivative at `slope` unless that is nowhere */
    void (*linear_backward)(nc_hlx__pass *s, nc_hlx__place dx, nc_hlx__place slope,
                            nc_hlx__place dw, nc_hlx__place db, nc_hlx__place x, nc_hlx__place dout,
                            nc_hlx__place w, size_t k, size_t n);
    /* of the logits' gradient for the output matrix w: dw += dout^T x, dx = dout w */
    void (*head_backward)(nc_hlx__pass *s, nc_hlx__place dx, nc_hlx__place dw, nc_hlx__place x,
                          nc_hlx__place dout, nc_hlx__place w);
    /* mean and rstd stand in buffers b and b + 1 of layer l, gamma and beta in tensors w, w + 1;
     * RMSNorm has neither mean nor beta */
    void (*layernorm)(nc_hlx__pass *s, nc_hlx__place out, nc_hlx__place x, int b, int w, size_t l);
    void (*layernorm_backward)(nc_hlx__pass *s, nc_hlx__place dx, nc_hlx__place dout,
                               nc_hlx__place x, int b, int w, size_t l);
    /* Q and K of rows of Q, K, V turned by their positions, or their gradients back */
    void (*rotary)(nc_hlx__pass *s, nc_hlx__place qkv, int inverse);
    /* out = activation(gate) up, and dfc from its gradient */
    void (*swiglu)(nc_hlx__pass *s, nc_hlx__place out, nc_hlx__place fc);
    void (*swiglu_backward)(nc_hlx__pass *s, nc_hlx__place dfc, nc_hlx__place dout,
                            nc_hlx__place fc);
    /* kept: probabilities, or lse with flash */
    void (*attention)(nc_hlx__pass *s, nc_hlx__place out, nc_hlx__place kept, nc_hlx__place qkv);
    void (*attention_backward)(nc_hlx__pass *s, nc_hlx__place dqkv, nc_hlx__place dout,
                               nc_hlx__place out, nc_hlx__place kept, nc_hlx__place qkv);
    void (*cross_entropy)(nc_hlx__pass *s, nc_hlx__place logits, nc_hlx__place losses);
    /* of all gradients, for adamw, and the loss. NC_ERR_MATH where one of them is not finite; on a
     * device adamw sees to it. */
    nc_status (*norm)(nc_hlx__pass *s);
    /* the parameters whose moments are kept */
    void (*adamw)(nc_hlx__pass *s);
} nc_hlx__ops;

static nc_hlx__place nc_hlx__place_in(int in, size_t at) {
    nc_hlx__place p;
    p.in = in;
    p.at = at;
    return p;
}

static nc_hlx__place nc_hlx__nowhere(void) { return nc_hlx__place_in(NC_HLX__NOWHERE, 0); }

/* Tensor t of layer l, and its gradient. */
static nc_hlx__place nc_hlx__parameter(const nc_hlx__pass *s, int t, size_t l) {
    const nc_hlx__layout *layout = &s->model->layout;
    return nc_hlx__place_in(NC_HLX__STATE,
                            layout->offset[t] +
                                (nc_hlx__is_layer_tensor(t) ? l * layout->layer_stride : 0));
}

static nc_hlx__place nc_hlx__gradient(const nc_hlx__pass *s, int t, size_t l) {
    nc_hlx__place p = nc_hlx__parameter(s, t, l);
    p.at += s->model->layout.total;
    return p;
}

/* The rows of the pass in buffer b of layer l. */
static nc_hlx__place nc_hlx__at(const nc_hlx__pass *s, int b, size_t l) {
    const size_t layer = nc_hlx__owned(s->model, b) ? l * s->plan->layer_stride : 0;
    return nc_hlx__place_in(NC_HLX__WORK, s->plan->at[b] + layer);
}

/* Whether the model has tensor t, and its place, or nowhere. */
static int nc_hlx__has(const nc_hlx__pass *s, int t) { return s->model->layout.size[t] != 0; }

static nc_hlx__place nc_hlx__if_there(const nc_hlx__pass *s, int t, nc_hlx__place p) {
    return nc_hlx__has(s, t) ? p : nc_hlx__nowhere();
}

/* -- the passes -- */

static void nc_hlx__add_piece(nc_hlx__pieces *list, nc_hlx__place out, nc_hlx__place x, size_t n) {
    list->at[list->count].out = out;
    list->at[list->count].x = x;
    list->at[list->count++].n = n;
}

static void nc_hlx__round_to(nc_hlx__pass *s, nc_hlx__place out, nc_hlx__place x, size_t n) {
    nc_hlx__pieces one;
    one.count = 0;
    nc_hlx__add_piece(&one, out, x, n);
    s->ops->bf16(s, NC_HLX__BF16_ROUND, &one);
}

/* A tensor of layer l as products see it: with bf16 rounded, where nc_hlx__load_layer put it. */
static nc_hlx__place nc_hlx__weight(const nc_hlx__pass *s, int t, size_t l) {
    const nc_hlx__layout *layout = &s->model->layout;
    if (!s->model->config.bf16) return nc_hlx__parameter(s, t, l);
    return nc_hlx__place_in(NC_HLX__WORK, s->plan->at[NC_HLX__A_ROUNDED] + layout->offset[t] -
                                              layout->offset[layout->layer_first]);
}

static void nc_hlx__load_layer(nc_hlx__pass *s, size_t l) {
    const nc_hlx__layout *layout = &s->model->layout;
    if (s->model->config.bf16)
        nc_hlx__round_to(s, nc_hlx__weight(s, layout->layer_first, 0),
                         nc_hlx__parameter(s, layout->layer_first, l), layout->layer_stride);
}

/* The output matrix as products see it, in the place of a layer's tensors. */
static nc_hlx__place nc_hlx__load_head(nc_hlx__pass *s) {
    const int t = s->model->config.tied_output ? NC_HLX__WTE : NC_HLX__HEAD;
    const nc_hlx__place head = nc_hlx__parameter(s, t, 0);
    const nc_hlx__place to = nc_hlx__place_in(NC_HLX__WORK, s->plan->at[NC_HLX__A_ROUNDED]);
    if (!s->model->config.bf16) return head;
    nc_hlx__round_to(s, to, head, s->model->layout.size[t]);
    return to;
}

/* An activation of n values a row on its way into or out of a product. */
static void nc_hlx__round(nc_hlx__pass *s, nc_hlx__place x, size_t n) {
    if (s->model->config.bf16) nc_hlx__round_to(s, x, x, s->rows * n);
}

/* A layer's activations to or from their packed copies. */
static void nc_hlx__pack_layer(nc_hlx__pass *s, size_t l, uint32_t mode) {
    const nc_hlx_config *c = &s->model->config;
    nc_hlx__pieces list;
    int b;
    list.count = 0;
    for (b = 0; b < NC_HLX__BUFFERS; b++) {
        const size_t n = s->rows * nc_hlx__dimension(c, nc_hlx__buffers[b].width);
        const nc_hlx__place x = nc_hlx__at(s, b, l);
        const nc_hlx__place packed =
            nc_hlx__place_in(NC_HLX__WORK, s->plan->packed[b] + l * s->plan->layer_stride);
        if (!nc_hlx__packed(s->model, b)) continue;
        if (mode == NC_HLX__BF16_PACK)
            nc_hlx__add_piece(&list, packed, x, n);
        else
            nc_hlx__add_piece(&list, x, packed, n);
    }
    if (list.count) s->ops->bf16(s, mode, &list);
}

/* Sides of a weight tensor. */
static size_t nc_hlx__inputs(const nc_hlx__pass *s, int w) {
    return nc_hlx__dimension(&s->model->config, nc_hlx__tensors[w].rows);
}

static size_t nc_hlx__outputs(const nc_hlx__pass *s, int w) {
    return nc_hlx__dimension(&s->model->config, nc_hlx__tensors[w].columns);
}

/* Buffer b of layer l = the layer norm of x; mean and rstd stand behind it. */
static void nc_hlx__norm(nc_hlx__pass *s, int b, nc_hlx__place x, int w, size_t l) {
    s->ops->layernorm(s, nc_hlx__at(s, b, l), x, b + 1, w, l);
    nc_hlx__round(s, nc_hlx__at(s, b, l), s->model->config.d_model);
}

/* d_residual += what d_narrow is at the norm's input x. */
static void nc_hlx__norm_backward(nc_hlx__pass *s, int b, nc_hlx__place x, int w, size_t l) {
    s->ops->layernorm_backward(s, nc_hlx__at(s, NC_HLX__A_D_RESIDUAL, 0),
                               nc_hlx__at(s, NC_HLX__A_D_NARROW, 0), x, b + 1, w, l);
}

/* out = x W + b, and what may come in the same epilogue. */
static void nc_hlx__linear(nc_hlx__pass *s, nc_hlx__place out, nc_hlx__place activated, int x,
                           int w, size_t l, nc_hlx__place residual, int rounded) {
    s->ops->linear(s, out, activated, nc_hlx__at(s, x, l), nc_hlx__weight(s, w, l),
                   nc_hlx__if_there(s, w + 1, nc_hlx__weight(s, w + 1, l)), residual,
                   nc_hlx__inputs(s, w), nc_hlx__outputs(s, w), rounded);
}

/* dW += x^T dout, dx = dout W^T, db += dout's column sums; dx is a buffer. */
static void nc_hlx__linear_backward(nc_hlx__pass *s, int dx, nc_hlx__place slope,
                                    nc_hlx__place dout, int x, int w, size_t l) {
    s->ops->linear_backward(s, nc_hlx__at(s, dx, 0), slope, nc_hlx__gradient(s, w, l),
                            nc_hlx__if_there(s, w + 1, nc_hlx__gradient(s, w + 1, l)),
                            nc_hlx__at(s, x, l), dout, nc_hlx__weight(s, w, l),
                            nc_hlx__inputs(s, w), nc_hlx__outputs(s, w));
}

/* Streams of dropout: the embedding, then two a layer. */
enum { NC_HLX__DROP_EMBEDDING = 0, NC_HLX__DROP_ATTENTION = 1, NC_HLX__DROP_FFN = 2 };

/* out = x W + b + residual, with dropout of the first while it is on. */
static void nc_hlx__branch(nc_hlx__pass *s, int out, int x, int w, size_t l, nc_hlx__place residual,
                           uint32_t stream) {
    const nc_hlx__place to = nc_hlx__at(s, out, l), none = nc_hlx__nowhere();
    nc_hlx__linear(s, to, none, x, w, l, s->dropping ? none : residual, 0);
    if (!s->dropping) return;
    s->ops->dropout(s, to, to, residual, 2 * (uint32_t)l + stream);
}

/* The gradient of a branch's linear layer: d_residual, or what dropout leaves of it. */
static nc_hlx__place nc_hlx__branch_gradient(nc_hlx__pass *s, size_t l, uint32_t stream) {
    const nc_hlx__place residual = nc_hlx__at(s, NC_HLX__A_D_RESIDUAL, 0);
    const nc_hlx__place branch = nc_hlx__at(s, NC_HLX__A_D_BRANCH, 0);
    if (!s->dropping) return residual;
    s->ops->dropout(s, branch, residual, nc_hlx__nowhere(), 2 * (uint32_t)l + stream);
    return branch;
}

/* The residual stream where it enters layer l. */
static nc_hlx__place nc_hlx__input(const nc_hlx__pass *s, size_t l) {
    return l ? nc_hlx__at(s, NC_HLX__A_OUT, l - 1) : nc_hlx__at(s, NC_HLX__A_EMBEDDED, 0);
}

/* The activated values of layer l between the two matrices of its feed-forward part. */
static void nc_hlx__forward_wide(nc_hlx__pass *s, size_t l) {
    const nc_hlx_config *c = &s->model->config;
    const nc_hlx__place fc = nc_hlx__at(s, NC_HLX__A_FC, l), none = nc_hlx__nowhere();
    const nc_hlx__place activated = nc_hlx__at(s, NC_HLX__A_ACTIVATED, l);
    nc_hlx__linear(s, fc, c->gated_ffn ? none : activated, NC_HLX__A_LN2, NC_HLX__FC_W, l, none,
                   (int)c->bf16);
    if (!c->gated_ffn) return;
    s->ops->swiglu(s, activated, fc);
    nc_hlx__round(s, activated, c->ffn_dim);
}

/* middle = in + attention(norm(in)), out = middle + ffn(norm(middle)). */
static void nc_hlx__forward_layer(nc_hlx__pass *s, size_t l) {
    const nc_hlx_config *c = &s->model->config;
    const nc_hlx__place in = nc_hlx__input(s, l), none = nc_hlx__nowhere();
    const nc_hlx__place qkv = nc_hlx__at(s, NC_HLX__A_QKV, l);
    const nc_hlx__place mixed = nc_hlx__at(s, NC_HLX__A_MIXED, l);
    const nc_hlx__place middle = nc_hlx__at(s, NC_HLX__A_MIDDLE, l);
    s->layer = l;
    if (c->bf16) s->ops->apart(s); /* the norm reads no product's weights */
    nc_hlx__load_layer(s, l);
    nc_hlx__norm(s, NC_HLX__A_LN1, in, NC_HLX__LN1_W, l);
    nc_hlx__linear(s, qkv, none, NC_HLX__A_LN1, NC_HLX__QKV_W, l, none, c->bf16 && !c->rotary);
    if (c->rotary) {
        s->ops->rotary(s, qkv, 0);
        nc_hlx__round(s, qkv, nc_hlx__outputs(s, NC_HLX__QKV_W));
    }
    s->ops->attention(s, mixed, nc_hlx__at(s, NC_HLX__A_SCORES, l), qkv);
    nc_hlx__round(s, mixed, nc_hlx__inputs(s, NC_HLX__PROJ_W));
    nc_hlx__branch(s, NC_HLX__A_MIDDLE, NC_HLX__A_MIXED, NC_HLX__PROJ_W, l, in,
                   NC_HLX__DROP_ATTENTION);
    nc_hlx__norm(s, NC_HLX__A_LN2, middle, NC_HLX__LN2_W, l);
    nc_hlx__forward_wide(s, l);
    nc_hlx__branch(s, NC_HLX__A_OUT, NC_HLX__A_ACTIVATED, NC_HLX__OUT_W, l, middle,
                   NC_HLX__DROP_FFN);
    nc_hlx__pack_layer(s, l, NC_HLX__BF16_PACK);
}

/* The residual stream behind the last layer. */
static void nc_hlx__forward_layers(nc_hlx__pass *s) {
    const nc_hlx_config *c = &s->model->config;
    const nc_hlx__place in = nc_hlx__input(s, 0);
    size_t l;
    s->ops->embedding(s, in);
    if (s->dropping) s->ops->dropout(s, in, in, nc_hlx__nowhere(), NC_HLX__DROP_EMBEDDING);
    for (l = 0; l < c->num_layers; l++) nc_hlx__forward_layer(s, l);
}

/* Logits of what stands there. */
static void nc_hlx__forward_head(nc_hlx__pass *s) {
    const nc_hlx_config *c = &s->model->config;
    nc_hlx__norm(s, NC_HLX__A_FINAL, nc_hlx__input(s, c->num_layers), NC_HLX__LNF_W, 0);
    s->ops->gemm(s, 0, 1, s->rows, c->vocab_size, c->d_model, nc_hlx__at(s, NC_HLX__A_FINAL, 0),
                 nc_hlx__load_head(s), nc_hlx__at(s, NC_HLX__A_LOGITS, 0), 0);
}

/* Logits of the tokens. */
static void nc_hlx__forward(nc_hlx__pass *s) {
    nc_hlx__forward_layers(s);
    nc_hlx__forward_head(s);
}

/* Losses of the rows, and in place of the logits their gradient. */
static void nc_hlx__loss(nc_hlx__pass *s) {
    nc_hlx__place losses = nc_hlx__at(s, NC_HLX__A_LOSSES, 0);
    losses.at += s->micro * s->rows;
    s->ops->cross_entropy(s, nc_hlx__at(s, NC_HLX__A_LOGITS, 0), losses);
}

/* d_residual holds the gradient at the layer's output on entry, at its input on return. */
static void nc_hlx__backward_layer(nc_hlx__pass *s, size_t l) {
    const nc_hlx_config *c = &s->model->config;
    const nc_hlx__place wide = nc_hlx__at(s, NC_HLX__A_D_WIDE, 0);
    const nc_hlx__place d_qkv = nc_hlx__at(s, NC_HLX__A_D_QKV, 0), none = nc_hlx__nowhere();
    const nc_hlx__place fc = nc_hlx__at(s, NC_HLX__A_FC, l);
    if (c->recompute && l + 1 < c->num_layers) {
        nc_hlx__forward_layer(s, l);
    } else {
        nc_hlx__load_layer(s, l);
        nc_hlx__pack_layer(s, l, NC_HLX__BF16_UNPACK);
    }
    nc_hlx__linear_backward(
        s, c->gated_ffn ? NC_HLX__A_D_GATED : NC_HLX__A_D_WIDE, c->gated_ffn ? none : fc,
        nc_hlx__branch_gradient(s, l, NC_HLX__DROP_FFN), NC_HLX__A_ACTIVATED, NC_HLX__OUT_W, l);
    if (c->gated_ffn) s->ops->swiglu_backward(s, wide, nc_hlx__at(s, NC_HLX__A_D_GATED, 0), fc);
    nc_hlx__linear_backward(s, NC_HLX__A_D_NARROW, none, wide, NC_HLX__A_LN2, NC_HLX__FC_W, l);
    nc_hlx__norm_backward(s, NC_HLX__A_LN2, nc_hlx__at(s, NC_HLX__A_MIDDLE, l), NC_HLX__LN2_W, l);
    nc_hlx__linear_backward(s, NC_HLX__A_D_NARROW, none,
                            nc_hlx__branch_gradient(s, l, NC_HLX__DROP_ATTENTION), NC_HLX__A_MIXED,
                            NC_HLX__PROJ_W, l);
    s->ops->attention_backward(s, d_qkv, nc_hlx__at(s, NC_HLX__A_D_NARROW, 0),
                               nc_hlx__at(s, NC_HLX__A_MIXED, l),
                               nc_hlx__at(s, NC_HLX__A_SCORES, l), nc_hlx__at(s, NC_HLX__A_QKV, l));
    if (c->rotary) s->ops->rotary(s, d_qkv, 1);
    nc_hlx__linear_backward(s, NC_HLX__A_D_NARROW, none, d_qkv, NC_HLX__A_LN1, NC_HLX__QKV_W, l);
    nc_hlx__norm_backward(s, NC_HLX__A_LN1, nc_hlx__input(s, l), NC_HLX__LN1_W, l);
}

/* The gradients of parameters [first, end) are complete. */
static void nc_hlx__ready(nc_hlx__pass *s, size_t first, size_t end) {
    if (s->ready) s->ready(s->user, first, end - first);
}

/* Add all gradients of the logits' gradient. */
static void nc_hlx__backward(nc_hlx__pass *s) {
    const nc_hlx_config *c = &s->model->config;
    const int head = c->tied_output ? NC_HLX__WTE : NC_HLX__HEAD;
    const nc_hlx__place logits = nc_hlx__at(s, NC_HLX__A_LOGITS, 0), none = nc_hlx__nowhere();
    const nc_hlx__place residual = nc_hlx__at(s, NC_HLX__A_D_RESIDUAL, 0);
    const nc_hlx__layout *layout = &s->model->layout;
    const size_t layers = layout->offset[layout->layer_first], stride = layout->layer_stride;
    size_t l;
    s->ops->apart(s);
    s->ops->elementwise(s, NC_HLX__E_ZERO, residual, none, none, s->rows * c->d_model);
    s->ops->head_backward(s, nc_hlx__at(s, NC_HLX__A_D_NARROW, 0), nc_hlx__gradient(s, head, 0),
                          nc_hlx__at(s, NC_HLX__A_FINAL, 0), logits, nc_hlx__load_head(s));
    nc_hlx__norm_backward(s, NC_HLX__A_FINAL, nc_hlx__input(s, c->num_layers), NC_HLX__LNF_W, 0);
    nc_hlx__ready(s, layers + c->num_layers * stride, layout->total);
    for (l = c->num_layers; l-- > 0;) {
        nc_hlx__backward_layer(s, l);
        nc_hlx__ready(s, layers + l * stride, layers + (l + 1) * stride);
    }
    if (s->dropping) s->ops->dropout(s, residual, residual, none, NC_HLX__DROP_EMBEDDING);
    s->ops->embedding_backward(s, residual);
    nc_hlx__ready(s, 0, layers);
}

static nc_status nc_hlx__update(nc_hlx__pass *s) {
    const nc_status status = s->ops->norm(s);
    if (status == NC_OK) s->ops->adamw(s);
    return status;
}

/* A whole step: every micro-batch forward and backward, then the update. */
static nc_status nc_hlx__step(nc_hlx__pass *s) {
    const size_t total = s->model->layout.total;
    const nc_hlx__place none = nc_hlx__nowhere();
    nc_status status;
    s->ops->apart(s);
    s->ops->elementwise(s, NC_HLX__E_ZERO, nc_hlx__place_in(NC_HLX__STATE, total), none, none,
                        total);
    for (s->micro = 0; s->micro < s->model->config.micro_batches; s->micro++) {
        status = s->ops->batch(s);
        if (status != NC_OK) return status;
        nc_hlx__forward(s);
        nc_hlx__loss(s);
        nc_hlx__backward(s);
    }
    return nc_hlx__update(s);
}

/* -- the operations on this machine -- */

static float *nc_hlx__memory(const nc_hlx__pass *s, nc_hlx__place p) {
    return p.in == NC_HLX__STATE  ? s->model->parameters + p.at
           : p.in == NC_HLX__WORK ? s->model->work + p.at
                                  : NULL;
}

/* A buffer of the model that is not a layer's. */
static float *nc_hlx__floats(const nc_hlx_model *model, int b) {
    return model->work + model->plan.at[b];
}

static uint32_t *nc_hlx__integers(const nc_hlx_model *model, int b) {
    return (uint32_t *)(void *)nc_hlx__floats(model, b);
}

/* Tensor t of layer l, null where the model has none; its gradient. */
static float *nc_hlx__tensor(const nc_hlx__pass *s, int t, size_t l) {
    return nc_hlx__memory(s, nc_hlx__if_there(s, t, nc_hlx__parameter(s, t, l)));
}

static float *nc_hlx__tensor_gradient(const nc_hlx__pass *s, int t, size_t l) {
    return nc_hlx__memory(s, nc_hlx__if_there(s, t, nc_hlx__gradient(s, t, l)));
}

static void nc_hlx__host_apart(nc_hlx__pass *s) { (void)s; }

static void nc_hlx__host_embedding(nc_hlx__pass *s, nc_hlx__place out) {
    nc_hlx_embedding(nc_hlx__memory(s, out), nc_hlx__integers(s->model, NC_HLX__A_TOKENS),
                     nc_hlx__tensor(s, NC_HLX__WTE, 0), nc_hlx__tensor(s, NC_HLX__WPE, 0), s->rows,
                     s->seq, s->model->config.d_model);
}

static void nc_hlx__host_embedding_backward(nc_hlx__pass *s, nc_hlx__place dout) {
    nc_hlx_embedding_backward(nc_hlx__tensor_gradient(s, NC_HLX__WTE, 0),
                              nc_hlx__tensor_gradient(s, NC_HLX__WPE, 0), nc_hlx__memory(s, dout),
                              nc_hlx__integers(s->model, NC_HLX__A_TOKENS), s->rows, s->seq,
                              s->model->config.d_model);
}

static void nc_hlx__zero(float *x, size_t n) {
    const nc_hlx__zero_all_job j = {x};
    nc_hlx__split(nc_hlx__zero_all, &j, n, NC_HLX__PIECE);
}

static void nc_hlx__host_elementwise(nc_hlx__pass *s, uint32_t operation, nc_hlx__place out,
                                     nc_hlx__place a, nc_hlx__place b, size_t n) {
    const float *x = nc_hlx__memory(s, a), *y = nc_hlx__memory(s, b);
    float *to = nc_hlx__memory(s, out);
    const nc_hlx__add_all_job sum = {to, x, y};
    if (operation == NC_HLX__E_ADD)
        nc_hlx__split(nc_hlx__add_all, &sum, n, NC_HLX__PIECE);
    else
        nc_hlx__zero(to, n);
}

static void nc_hlx__host_dropout(nc_hlx__pass *s, nc_hlx__place out, nc_hlx__place x,
                                 nc_hlx__place residual, uint32_t stream) {
    const nc_hlx_model *model = s->model;
    const size_t n = s->rows * model->config.d_model;
    nc_hlx_dropout(nc_hlx__memory(s, out), nc_hlx__memory(s, x), n, (uint64_t)s->micro * n,
                   model->config.dropout, model->seed, (model->step + 1) << 24 | stream);
    if (residual.in) nc_hlx__host_elementwise(s, NC_HLX__E_ADD, out, out, residual, n);
}

static void nc_hlx__host_bf16(nc_hlx__pass *s, uint32_t mode, const nc_hlx__pieces *list) {
    uint32_t i;
    for (i = 0; i < list->count; i++) {
        float *to = nc_hlx__memory(s, list->at[i].out), *from = nc_hlx__memory(s, list->at[i].x);
        const size_t n = list->at[i].n;
        if (mode == NC_HLX__BF16_PACK) {
            nc_hlx_bf16_pack((uint16_t *)(void *)to, from, n);
        } else if (mode == NC_HLX__BF16_UNPACK) {
            nc_hlx_bf16_unpack(to, (const uint16_t *)(const void *)from, n);
        } else {
            if (to != from) memcpy(to, from, n * sizeof *to);
            nc_hlx_bf16_round(to, n);
        }
    }
}

static void nc_hlx__host_gemm(nc_hlx__pass *s, int trans_a, int trans_b, size_t m, size_t n,
                              size_t k, nc_hlx__place a, nc_hlx__place b, nc_hlx__place c,
                              int accumulate) {
    (void)nc_hlx_gemm(trans_a, trans_b, m, n, k, nc_hlx__memory(s, a), trans_a ? m : k,
                      nc_hlx__memory(s, b), trans_b ? k : n, nc_hlx__memory(s, c), n, accumulate,
                      nc_hlx__floats(s->model, NC_HLX__A_GEMM_WORK), nc_hlx_gemm_work_bytes());
}

/* n values of a product, rounded if they are to be, and their activation. */
static void nc_hlx__host_activated(nc_hlx__pass *s, nc_hlx__place out, nc_hlx__place activated,
                                   size_t n, int rounded) {
    float *x = nc_hlx__memory(s, out), *to = nc_hlx__memory(s, activated);
    if (rounded) nc_hlx_bf16_round(x, n);
    if (!to) return;
    (void)nc_hlx_activate(to, x, n, s->model->config.activation);
    if (rounded) nc_hlx_bf16_round(to, n);
}

static void nc_hlx__host_linear(nc_hlx__pass *s, nc_hlx__place out, nc_hlx__place activated,
                                nc_hlx__place x, nc_hlx__place w, nc_hlx__place bias,
                                nc_hlx__place residual, size_t k, size_t n, int rounded) {
    (void)nc_hlx_linear(nc_hlx__memory(s, out), rounded ? NULL : nc_hlx__memory(s, activated),
                        s->model->config.activation, nc_hlx__memory(s, x), nc_hlx__memory(s, w),
                        nc_hlx__memory(s, bias), nc_hlx__memory(s, residual), s->rows, k, n,
                        nc_hlx__floats(s->model, NC_HLX__A_GEMM_WORK), nc_hlx_gemm_work_bytes());
    if (rounded) nc_hlx__host_activated(s, out, activated, s->rows * n, 1);
}

static void nc_hlx__host_linear_backward(nc_hlx__pass *s, nc_hlx__place dx, nc_hlx__place slope,
                                         nc_hlx__place dw, nc_hlx__place db, nc_hlx__place x,
                                         nc_hlx__place dout, nc_hlx__place w, size_t k, size_t n) {
    float *to = nc_hlx__memory(s, dx);
    nc_hlx__gemm_job job = nc_hlx__gemm_of(1, 0, k, n, s->rows, nc_hlx__memory(s, x), k,
                                           nc_hlx__memory(s, dout), n, nc_hlx__memory(s, dw), n);
    job.accumulate = 1;
    job.sums = nc_hlx__memory(s, db);
    (void)nc_hlx__gemm(&job, nc_hlx__floats(s->model, NC_HLX__A_GEMM_WORK),
                       nc_hlx_gemm_work_bytes());
    nc_hlx__host_gemm(s, 0, 1, s->rows, k, n, dout, w, dx, 0);
    if (slope.in)
        (void)nc_hlx_activate_backward(to, to, nc_hlx__memory(s, slope), s->rows * k,
                                       s->model->config.activation);
}

static void nc_hlx__host_head_backward(nc_hlx__pass *s, nc_hlx__place dx, nc_hlx__place dw,
                                       nc_hlx__place x, nc_hlx__place dout, nc_hlx__place w) {
    const nc_hlx_config *c = &s->model->config;
    nc_hlx__host_gemm(s, 1, 0, c->vocab_size, c->d_model, s->rows, dout, x, dw, 1);
    nc_hlx__host_gemm(s, 0, 0, s->rows, c->d_model, c->vocab_size, dout, w, dx, 0);
}

static void nc_hlx__host_layernorm(nc_hlx__pass *s, nc_hlx__place out, nc_hlx__place x, int b,
                                   int w, size_t l) {
    const nc_hlx_config *c = &s->model->config;
    const float *from = nc_hlx__memory(s, x), *gamma = nc_hlx__tensor(s, w, l);
    float *to = nc_hlx__memory(s, out), *mean = nc_hlx__memory(s, nc_hlx__at(s, b, l));
    float *rstd = nc_hlx__memory(s, nc_hlx__at(s, b + 1, l));
    if (c->rms_norm)
        nc_hlx_rmsnorm(to, rstd, from, gamma, s->rows, c->d_model, nc_hlx__norm_eps(c));
    else
        nc_hlx_layernorm_eps(to, mean, rstd, from, gamma, nc_hlx__tensor(s, w + 1, l), s->rows,
                             c->d_model, nc_hlx__norm_eps(c));
}

static void nc_hlx__host_layernorm_backward(nc_hlx__pass *s, nc_hlx__place dx, nc_hlx__place dout,
                                            nc_hlx__place x, int b, int w, size_t l) {
    const nc_hlx_config *c = &s->model->config;
    const float *dy = nc_hlx__memory(s, dout), *from = nc_hlx__memory(s, x);
    const float *mean = nc_hlx__memory(s, nc_hlx__at(s, b, l)), *gamma = nc_hlx__tensor(s, w, l);
    const float *rstd = nc_hlx__memory(s, nc_hlx__at(s, b + 1, l));
    float *to = nc_hlx__memory(s, dx), *dgamma = nc_hlx__tensor_gradient(s, w, l);
    if (c->rms_norm)
        nc_hlx_rmsnorm_backward(to, dgamma, dy, from, gamma, rstd, s->rows, c->d_model);
    else
        nc_hlx_layernorm_backward(to, dgamma, nc_hlx__tensor_gradient(s, w + 1, l), dy, from, gamma,
                                  mean, rstd, s->rows, c->d_model);
}

/* Rows of Q, K, V at the positions that `table` begins with: Q and K turn. */
static void nc_hlx__turn_rows(const nc_hlx_config *c, float *qkv, const float *table, size_t rows,
                              size_t seq, int inverse) {
    const nc_hlx_heads shape = nc_hlx__heads(c, 1, seq);
    nc_hlx_rotary(qkv, table, rows, seq, shape.heads + nc_hlx__kv_heads(&shape), shape.head_size,
                  nc_hlx__qkv_width(&shape), inverse);
}

static void nc_hlx__host_rotary(nc_hlx__pass *s, nc_hlx__place qkv, int inverse) {
    nc_hlx__turn_rows(&s->model->config, nc_hlx__memory(s, qkv), s->model->rotary, s->rows, s->seq,
                      inverse);
}

static void nc_hlx__host_swiglu(nc_hlx__pass *s, nc_hlx__place out, nc_hlx__place fc) {
    const nc_hlx_config *c = &s->model->config;
    (void)nc_hlx_swiglu(nc_hlx__memory(s, out), nc_hlx__memory(s, fc), s->rows, c->ffn_dim,
                        c->activation);
}

static void nc_hlx__host_swiglu_backward(nc_hlx__pass *s, nc_hlx__place dfc, nc_hlx__place dout,
                                         nc_hlx__place fc) {
    const nc_hlx_config *c = &s->model->config;
    (void)nc_hlx_swiglu_backward(nc_hlx__memory(s, dfc), nc_hlx__memory(s, dout),
                                 nc_hlx__memory(s, fc), s->rows, c->ffn_dim, c->activation);
}

static void nc_hlx__host_attention(nc_hlx__pass *s, nc_hlx__place out, nc_hlx__place kept,
                                   nc_hlx__place qkv) {
    const nc_hlx_config *c = &s->model->config;
    const nc_hlx_heads shape = nc_hlx__heads(c, s->batch, s->seq);
    const size_t bytes = nc_hlx_attention_work_bytes(&shape, (int)c->flash, s->model->threads);
    float *to = nc_hlx__memory(s, out), *keep = nc_hlx__memory(s, kept);
    float *from = nc_hlx__memory(s, qkv), *work = nc_hlx__floats(s->model, NC_HLX__A_HEAD_WORK);
    if (c->flash)
        (void)nc_hlx_flash_attention(to, keep, from, &shape, work, bytes);
    else
        (void)nc_hlx_attention(to, keep, from, &shape, work, bytes);
}

static void nc_hlx__host_attention_backward(nc_hlx__pass *s, nc_hlx__place dqkv, nc_hlx__place dout,
                                            nc_hlx__place out, nc_hlx__place kept,
                                            nc_hlx__place qkv) {
    const nc_hlx_config *c = &s->model->config;
    const nc_hlx_heads shape = nc_hlx__heads(c, s->batch, s->seq);
    const size_t bytes = nc_hlx_attention_work_bytes(&shape, (int)c->flash, s->model->threads);
    float *to = nc_hlx__memory(s, dqkv), *work = nc_hlx__floats(s->model, NC_HLX__A_HEAD_WORK);
    const float *dy = nc_hlx__memory(s, dout), *keep = nc_hlx__memory(s, kept);
    const float *from = nc_hlx__memory(s, qkv);
    if (c->flash)
        (void)nc_hlx_flash_attention_backward(to, dy, nc_hlx__memory(s, out), keep, from, &shape,
                                              work, bytes);
    else
        (void)nc_hlx_attention_backward(to, dy, keep, from, &shape, work, bytes);
}

static void nc_hlx__host_cross_entropy(nc_hlx__pass *s, nc_hlx__place logits,
                                       nc_hlx__place losses) {
    nc_hlx__cross_entropy_rows(
        nc_hlx__memory(s, logits), nc_hlx__integers(s->model, NC_HLX__A_TARGETS),
        nc_hlx__memory(s, losses), s->rows, s->model->config.vocab_size, s->count);
}

/* A task is a chunk of the reduction. */
NC_HLX__TASK(nc_hlx__squares, float *sums; const float *g;
             , j.sums[first / NC_HLX__CHUNK] = nc_hlx_dot(j.g + first, j.g + first, count))

/* nc_hlx_dot of all gradients with themselves. */
static float nc_hlx__squared_norm(nc_hlx_model *model) {
    const nc_hlx__squares_job j = {nc_hlx__floats(model, NC_HLX__A_SUMS), model->gradients};
    const size_t total = model->layout.total;
    nc_hlx__split(nc_hlx__squares, &j, total, NC_HLX__CHUNK);
    return nc_hlx_sum(j.sums, (total + NC_HLX__CHUNK - 1) / NC_HLX__CHUNK);
}

static nc_status nc_hlx__host_norm(nc_hlx__pass *s) {
    s->norm = sqrtf(nc_hlx__squared_norm(s->model));
    if (s->losses)
        s->loss = nc_hlx_sum(nc_hlx__floats(s->model, NC_HLX__A_LOSSES), s->losses) / s->count;
    return nc_hlx__finite(s->norm) && nc_hlx__finite(s->loss) ? NC_OK : NC_ERR_MATH;
}

/* n parameters from `at` on. */
static void nc_hlx__move_range(nc_hlx__pass *s, size_t at, size_t n, float weight_decay) {
    nc_hlx_model *model = s->model;
    nc_hlx_adamw a = s->adamw;
    const float clip = a.clip_norm;
    const size_t moment = at - model->first;
    a.weight_decay = weight_decay;
    nc_hlx_adamw_update(model->parameters + at, model->gradients + at, model->m + moment,
                        model->v + moment, n, &a, model->step + 1,
                        clip > 0.0f && s->norm > clip ? clip / s->norm : 1.0f);
}

static void nc_hlx__host_adamw(nc_hlx__pass *s) {
    const size_t from = s->model->first, to = from + s->model->count;
    nc_hlx__cursor x = nc_hlx__first_tensor();
    while (nc_hlx__next_tensor(s->model, &x)) {
        const size_t first = x.at > from ? x.at : from, end = nc_hlx__min(x.at + x.size, to);
        if (first < end)
            nc_hlx__move_range(s, first, end - first,
                               nc_hlx__tensors[x.t].decays ? s->adamw.weight_decay : 0.0f);
    }
}

/* Whether rows of tokens, and of targets unless null, are of a vocabulary. */
static int nc_hlx__known(const uint32_t *tokens, const uint32_t *targets, size_t rows,
                         uint32_t vocab) {
    size_t i;
    for (i = 0; i < rows; i++)
        if (tokens[i] >= vocab || (targets && targets[i] >= vocab && targets[i] != NC_HLX_IGNORE))
            return 0;
    return 1;
}

/* Tokens, and targets unless null, for a pass, into the model. */
static nc_status nc_hlx__host_tokens(nc_hlx__pass *s, const uint32_t *tokens,
                                     const uint32_t *targets) {
    const nc_hlx_config *c = &s->model->config;
    if (s->batch == 0 || s->seq == 0 || s->batch > c->batch_size || s->seq > c->max_seq_len ||
        !nc_hlx__known(tokens, targets, s->rows, c->vocab_size))
        return NC_ERR_ARG;
    memmove(nc_hlx__integers(s->model, NC_HLX__A_TOKENS), tokens, s->rows * sizeof *tokens);
    if (targets)
        memmove(nc_hlx__integers(s->model, NC_HLX__A_TARGETS), targets, s->rows * sizeof *targets);
    s->model->ready = 0;
    return NC_OK;
}

static nc_status nc_hlx__host_batch(nc_hlx__pass *s) {
    uint32_t *tokens = nc_hlx__integers(s->model, NC_HLX__A_TOKENS);
    uint32_t *targets = nc_hlx__integers(s->model, NC_HLX__A_TARGETS);
    s->model->ready = 0; /* the tokens of the last forward pass are gone, whatever these are */
    nc_hlx_loader_next(s->loader, tokens, targets, s->model->config.batch_size);
    return nc_hlx__host_tokens(s, tokens, targets);
}

static const nc_hlx__ops nc_hlx__host = {nc_hlx__host_apart,
                                         nc_hlx__host_batch,
                                         nc_hlx__host_embedding,
                                         nc_hlx__host_embedding_backward,
                                         nc_hlx__host_dropout,
                                         nc_hlx__host_elementwise,
                                         nc_hlx__host_bf16,
                                         nc_hlx__host_gemm,
                                         nc_hlx__host_linear,
                                         nc_hlx__host_linear_backward,
                                         nc_hlx__host_head_backward,
                                         nc_hlx__host_layernorm,
                                         nc_hlx__host_layernorm_backward,
                                         nc_hlx__host_rotary,
                                         nc_hlx__host_swiglu,
                                         nc_hlx__host_swiglu_backward,
                                         nc_hlx__host_attention,
                                         nc_hlx__host_attention_backward,
                                         nc_hlx__host_cross_entropy,
                                         nc_hlx__host_norm,
                                         nc_hlx__host_adamw};

/* -- for callers -- */

/* Parts of a pass of this machine, for nc_hlx__together. */
static void nc_hlx__do_forward(void *pass) { nc_hlx__forward((nc_hlx__pass *)pass); }

static void nc_hlx__do_losses(void *pass) {
    nc_hlx__forward((nc_hlx__pass *)pass);
    nc_hlx__loss((nc_hlx__pass *)pass);
}

static void nc_hlx__do_backward(void *pass) { nc_hlx__backward((nc_hlx__pass *)pass); }

static void nc_hlx__do_update(void *pass) {
    nc_hlx__pass *s = (nc_hlx__pass *)pass;
    s->status = nc_hlx__update(s);
}

static void nc_hlx__do_move(void *pass) { nc_hlx__host_adamw((nc_hlx__pass *)pass); }

static void nc_hlx__do_step(void *pass) {
    nc_hlx__pass *s = (nc_hlx__pass *)pass;
    s->status = nc_hlx__step(s);
}

/* A pass of this machine over batch x seq rows. */
static nc_hlx__pass nc_hlx__host_pass(nc_hlx_model *model, size_t batch, size_t seq, int training) {
    nc_hlx__pass s;
    memset(&s, 0, sizeof s);
    s.model = model;
    s.ops = &nc_hlx__host;
    s.plan = &model->plan;
    s.batch = batch;
    s.seq = seq;
    s.rows = batch * seq;
    s.dropping = training && !model->inference && model->config.dropout > 0.0f;
    return s;
}

/* count 0: the targets' own number. */
static nc_status nc_hlx__forward_losses(nc_hlx_model *model, const uint32_t *tokens,
                                        const uint32_t *targets, uint32_t batch, uint32_t seq,
                                        uint32_t count, float *loss) {
    nc_hlx__pass s = nc_hlx__host_pass(model, batch, seq, 1);
    nc_status status = nc_hlx__host_tokens(&s, tokens, targets);
    if (status != NC_OK) return status;
    s.count = nc_hlx__count(targets, s.rows, model->config.vocab_size);
    if (count && (float)count < s.count) return NC_ERR_ARG;
    if (count) s.count = (float)count;
    nc_hlx__together(nc_hlx__do_losses, &s);
    model->pass = s;
    model->ready = !model->inference;
    *loss = nc_hlx_sum(nc_hlx__floats(model, NC_HLX__A_LOSSES), s.rows) / s.count;
    return NC_OK;
}

NC_API nc_status nc_hlx_forward(nc_hlx_model *model, const uint32_t *tokens,
                                const uint32_t *targets, uint32_t batch, uint32_t seq,
                                float *loss) {
    nc_hlx__pass s;
    nc_status status;
    if (!model || !tokens || (targets && !loss)) return NC_ERR_ARG;
    if (targets) return nc_hlx__forward_losses(model, tokens, targets, batch, seq, 0, loss);
    s = nc_hlx__host_pass(model, batch, seq, 0);
    status = nc_hlx__host_tokens(&s, tokens, NULL);
    if (status == NC_OK) nc_hlx__together(nc_hlx__do_forward, &s);
    return status;
}

NC_API nc_status nc_hlx_forward_part(nc_hlx_model *model, const uint32_t *tokens,
                                     const uint32_t *targets, uint32_t batch, uint32_t seq,
                                     uint32_t count, float *loss) {
    if (!model || !tokens || !targets || !loss || count == 0 || count >> 24) return NC_ERR_ARG;
    return nc_hlx__forward_losses(model, tokens, targets, batch, seq, count, loss);
}

NC_API const float *nc_hlx_logits(const nc_hlx_model *model) {
    return nc_hlx__floats(model, NC_HLX__A_LOGITS);
}

NC_API nc_status nc_hlx_backward_ready(nc_hlx_model *model, nc_hlx_ready_fn ready, void *user) {
    if (model && model->inference) return NC_ERR_UNSUPPORTED;
    if (!model || !model->ready) return NC_ERR_ARG;
    model->ready = 0;
    model->pass.ready = ready;
    model->pass.user = user;
    nc_hlx__together(nc_hlx__do_backward, &model->pass);
    return NC_OK;
}

NC_API nc_status nc_hlx_backward(nc_hlx_model *model) {
    return nc_hlx_backward_ready(model, NULL, NULL);
}

NC_API void nc_hlx_zero_gradients(nc_hlx_model *model) {
    if (!model->inference) nc_hlx__zero(model->gradients, model->layout.total);
}

/* What is true of a model after a step's update, or of the step that could not be done. */
static nc_status nc_hlx__finish_step(nc_hlx_model *model, const nc_hlx_adamw *adamw, float norm,
                                     nc_status status, nc_hlx_stats *stats) {
    const uint64_t step = model->step + 1;
    if (status == NC_OK) {
        model->step = step;
        model->adamw = *adamw;
    }
    if (!stats) return status;
    stats->grad_norm = norm;
    stats->lr = nc_hlx_learning_rate(adamw, step);
    stats->step = step;
    return status;
}

NC_API nc_status nc_hlx_update(nc_hlx_model *model, const nc_hlx_adamw *adamw,
                               nc_hlx_stats *stats) {
    nc_hlx__pass s;
    if (!model || nc_hlx_adamw_check(adamw, NULL) != NC_OK) return NC_ERR_ARG;
    if (model->inference) return NC_ERR_UNSUPPORTED;
    s = nc_hlx__host_pass(model, 0, 0, 0);
    s.adamw = nc_hlx__adamw_defaults(adamw);
    nc_hlx__together(nc_hlx__do_update, &s);
    return nc_hlx__finish_step(model, &s.adamw, s.norm, s.status, stats);
}

NC_API nc_status nc_hlx_update_shard(nc_hlx_model *model, const nc_hlx_adamw *adamw, float norm,
                                     nc_hlx_stats *stats) {
    nc_hlx__pass s;
    if (!model || nc_hlx_adamw_check(adamw, NULL) != NC_OK) return NC_ERR_ARG;
    if (model->inference) return NC_ERR_UNSUPPORTED;
    s = nc_hlx__host_pass(model, 0, 0, 0);
    s.adamw = nc_hlx__adamw_defaults(adamw);
    s.norm = norm;
    s.status = nc_hlx__finite(norm) ? NC_OK : NC_ERR_MATH;
    if (s.status == NC_OK) nc_hlx__together(nc_hlx__do_move, &s);
    return nc_hlx__finish_step(model, &s.adamw, norm, s.status, stats);
}

/* >>training ======================================================================= */

/* Whether a loader, perhaps read from a file, can feed a model. */
static int nc_hlx__fits(const nc_hlx_model *model, const nc_hlx_loader *loader) {
    return model && loader && loader->data && loader->seq != 0 && loader->count > loader->seq &&
           loader->seq <= model->config.max_seq_len && nc_hlx__width(loader->token_bytes);
}

NC_API nc_status nc_hlx_train_step(nc_hlx_model *model, nc_hlx_loader *loader,
                                   const nc_hlx_adamw *adamw, nc_hlx_stats *stats) {
    const uint64_t before = loader ? loader->next : 0;
    nc_hlx__pass s;
    size_t windows;
    if (!nc_hlx__fits(model, loader) || nc_hlx_adamw_check(adamw, NULL) != NC_OK) return NC_ERR_ARG;
    if (!nc_hlx__whole(model)) return NC_ERR_UNSUPPORTED;
    s = nc_hlx__host_pass(model, model->config.batch_size, loader->seq, 1);
    windows = s.batch * model->config.micro_batches;
    s.loader = loader;
    s.losses = windows * loader->seq;
    s.count = nc_hlx__next_targets(loader, windows);
    s.adamw = nc_hlx__adamw_defaults(adamw);
    nc_hlx__together(nc_hlx__do_step, &s);
    if (s.status != NC_OK) loader->next = before;
    if (s.status != NC_OK && s.status != NC_ERR_MATH) return s.status;
    if (stats) memset(stats, 0, sizeof *stats);
    if (stats) stats->loss = s.loss;
    return nc_hlx__finish_step(model, &s.adamw, s.norm, s.status, stats);
}

/* A validation: the windows done and in all, and the sum of their losses. A window weighs as much
 * as it has targets; one without a mask weighs 1. */
typedef struct nc_hlx__evaluation {
    const nc_hlx_loader *data;
    uint32_t done, windows;
    double sum, weight;
} nc_hlx__evaluation;

static nc_status nc_hlx__evaluation_of(nc_hlx__evaluation *e, const nc_hlx_model *model,
                                       const nc_hlx_loader *data, uint32_t windows) {
    const size_t most = nc_hlx__fits(model, data) ? (data->count - 1) / data->seq : 0;
    memset(e, 0, sizeof *e);
    e->data = data;
    e->windows = windows > most ? (uint32_t)most : windows;
    return e->windows ? NC_OK : NC_ERR_ARG;
}

/* Up to batch windows, of which there is one at least, and how many they are. */
static uint32_t nc_hlx__evaluation_next(const nc_hlx__evaluation *e, uint32_t batch,
                                        uint32_t *tokens, uint32_t *targets) {
    const uint32_t n = (uint32_t)nc_hlx__min(e->windows - e->done, batch);
    uint32_t w;
    for (w = 0; w < n; w++) {
        const size_t at = (size_t)w * e->data->seq;
        nc_hlx__window(e->data, (size_t)(e->done + w) * e->data->seq, tokens + at, targets + at);
    }
    return n;
}

/* The losses of those n windows; NC_ERR_CANCELLED where progress asks for it. */
static nc_status nc_hlx__evaluation_add(nc_hlx__evaluation *e, const float *losses, uint32_t n,
                                        nc_progress_fn progress, void *user) {
    const uint32_t seq = e->data->seq;
    for (; n; n--, losses += seq, e->done++) {
        const uint32_t targets = nc_hlx__window_targets(e->data, (size_t)e->done * seq);
        const double weight = (double)targets / (double)seq;
        if (targets) e->sum += weight * (double)(nc_hlx_sum(losses, seq) / (float)targets);
        e->weight += weight;
    }
    return progress && progress(user, e->done, e->windows) ? NC_ERR_CANCELLED : NC_OK;
}

static float nc_hlx__evaluation_loss(const nc_hlx__evaluation *e) {
    return e->weight > 0.0 ? (float)(e->sum / e->weight) : 0.0f;
}

NC_API nc_status nc_hlx_evaluate_progress(nc_hlx_model *model, const nc_hlx_loader *data,
                                          uint32_t windows, nc_progress_fn progress, void *user,
                                          float *loss) {
    nc_hlx__evaluation e;
    nc_status status = loss ? nc_hlx__evaluation_of(&e, model, data, windows) : NC_ERR_ARG;
    if (status == NC_OK) model->ready = 0; /* as in nc_hlx__host_batch */
    while (status == NC_OK && e.done < e.windows) {
        uint32_t *tokens = nc_hlx__integers(model, NC_HLX__A_TOKENS);
        uint32_t *targets = nc_hlx__integers(model, NC_HLX__A_TARGETS);
        const uint32_t n = nc_hlx__evaluation_next(&e, model->config.batch_size, tokens, targets);
        nc_hlx__pass s = nc_hlx__host_pass(model, n, data->seq, 0);
        status = nc_hlx__host_tokens(&s, tokens, targets);
        if (status != NC_OK) break;
        s.count = 1.0f; /* no gradient is asked for */
        nc_hlx__together(nc_hlx__do_losses, &s);
        status =
            nc_hlx__evaluation_add(&e, nc_hlx__floats(model, NC_HLX__A_LOSSES), n, progress, user);
    }
    if (status == NC_OK) *loss = nc_hlx__evaluation_loss(&e);
    return status;
}

NC_API nc_status nc_hlx_evaluate(nc_hlx_model *model, const nc_hlx_loader *data, uint32_t windows,
                                 float *loss) {
    return nc_hlx_evaluate_progress(model, data, windows, NULL, NULL, loss);
}

/* >>sampling ======================================================================= */

/* -- sequences that go on -- */

/* New tokens of one sequence, which stand in one tile of keys. */
typedef struct nc_hlx__segment {
    uint32_t sequence, position, row, rows; /* of the first; among the rows of the pass; how many */
    uint32_t last;                          /* 1: the last that come now */
} nc_hlx__segment;

/* Rows of a pass over a prompt: enough to fill the tiles of products, few enough for the cache. */
enum { NC_HLX__PASS_ROWS = 64, NC_HLX__SEQUENCES = 65536 };
#define NC_HLX__NO_LOGITS UINT32_MAX

/* A weight matrix (k x n) in another format. */
typedef struct nc_hlx__matrix {
    size_t k, n, bytes;
    int8_t *codes; /* panels of 64 columns, each (k, 64), the last one filled with 0 */
    float *scales; /* n of them, behind the codes */
#ifdef NC_HLX_FP4
    nc_fp4_tensor tensor; /* n rows */
#endif
} nc_hlx__matrix;

struct nc_hlx_cache {
    nc_hlx_weights format;
    nc_hlx__matrix *matrices; /* a place for every tensor of every layer; null: the model's own */
    nc_hlx_model view;        /* the model with this memory for work; layers share all buffers */
    nc_hlx__ops ops;
    uint32_t sequences, rows; /* of a pass, at most */
    size_t segments;          /* of this pass */
    size_t ending;            /* sequences whose last row is in ends */
    float *kv;                /* (layer, sequence, max_seq_len, 2, kv_heads * head_size): K, V */
    float *ends;              /* (sequences, d_model) behind the last layer */
    uint32_t *length, *logits_row;
    nc_hlx__segment *segment;
    const uint32_t *tokens, *counts; /* of nc_hlx_cache_append */
};

NC__COLD_BEGIN

/* Words of a buffer, for so many rows: those of a pass without targets. */
static size_t nc_hlx__cache_words(const nc_hlx_cache *x, int b) {
    const nc_hlx_config *c = &x->view.config;
    const nc_hlx_heads shape = nc_hlx__heads(c, 1, c->max_seq_len);
    if (b == NC_HLX__A_SCORES || b == NC_HLX__A_LOSSES || b == NC_HLX__A_TARGETS ||
        b == NC_HLX__A_ROTARY /* the model's */ || nc_hlx__of_training(b))
        return 0;
    if (b == NC_HLX__A_LOGITS) return nc__mul_size(x->sequences, c->vocab_size);
    if (b == NC_HLX__A_HEAD_WORK)
        return nc_hlx_attention_work_bytes(&shape, 1, x->view.threads) / 4;
    if (b == NC_HLX__A_ROUNDED || b == NC_HLX__A_GEMM_WORK || b == NC_HLX__A_CANDIDATES)
        return nc_hlx__buffer_words(&x->view, b, 0);
    return nc__mul_size(x->rows, nc_hlx__dimension(c, nc_hlx__buffers[b].width));
}

/* Values of K and V of a token in a layer. */
static size_t nc_hlx__cache_width(const nc_hlx_config *c) {
    const nc_hlx_heads shape = nc_hlx__heads(c, 1, 1);
    return 2 * nc_hlx__kv_heads(&shape) * shape.head_size;
}

/* n words of the arena, null before there is one. */
static float *nc_hlx__cache_take(nc_hlx_cache *x, size_t n) {
    const size_t at = nc_hlx__take(&x->view.plan.words, n);
    return x->view.work ? x->view.work + at : NULL;
}

/* Where everything stands in the arena, and its size. */
static void nc_hlx__cache_plan(nc_hlx_cache *x) {
    const nc_hlx_config *c = &x->view.config;
    const size_t row = nc__mul_size(c->num_layers, nc_hlx__cache_width(c));
    int b;
    memset(&x->view.plan, 0, sizeof x->view.plan);
    for (b = 0; b < NC_HLX__BUFFERS; b++)
        x->view.plan.at[b] = nc_hlx__take(&x->view.plan.words, nc_hlx__cache_words(x, b));
    x->kv = nc_hlx__cache_take(x, nc__mul_size(nc__mul_size(x->sequences, c->max_seq_len), row));
    x->ends = nc_hlx__cache_take(x, nc__mul_size(x->sequences, c->d_model));
    x->length = (uint32_t *)(void *)nc_hlx__cache_take(x, x->sequences);
    x->logits_row = (uint32_t *)(void *)nc_hlx__cache_take(x, x->sequences);
    x->segment =
        (nc_hlx__segment *)(void *)nc_hlx__cache_take(x, x->rows * (sizeof *x->segment / 4));
    x->view.work_bytes = nc__mul_size(x->view.plan.words, 4);
}

/* A cache of a model, or of what describes one, without its memory. */
static nc_status nc_hlx__cache_describe(nc_hlx_cache *x, const nc_hlx_model *model,
                                        uint32_t sequences) {
    memset(x, 0, sizeof *x);
    if (sequences == 0 || sequences > NC_HLX__SEQUENCES) return NC_ERR_ARG;
    x->view = *model;
    x->view.inference = 1;
    x->view.gradients = x->view.m = x->view.v = x->view.work = NULL;
    x->view.cache = NULL;
    x->sequences = sequences;
    x->rows = NC_HLX__PASS_ROWS;
    if (sequences > x->rows) x->rows = sequences;
    nc_hlx__cache_plan(x);
    return NC_OK;
}

NC_API nc_status nc_hlx_cache_bytes(const nc_hlx_config *config, uint32_t sequences,
                                    uint64_t *bytes) {
    nc_hlx_model model;
    nc_hlx_cache cache;
    nc_status status = bytes ? nc_hlx__describe(&model, config) : NC_ERR_ARG;
    if (status == NC_OK) status = nc_hlx__cache_describe(&cache, &model, sequences);
    if (status == NC_OK) *bytes = nc_hlx__both(sizeof cache, cache.view.work_bytes);
    return status;
}

/* -- matrices in other formats -- */

static size_t nc_hlx__matrices_bytes(const nc_hlx_cache *x) {
    return (size_t)x->view.config.num_layers * NC_HLX__TENSORS * sizeof *x->matrices;
}

/* Back to the model's own. */
static void nc_hlx__drop_matrices(nc_hlx_cache *x) {
    const size_t count = (size_t)x->view.config.num_layers * NC_HLX__TENSORS;
    const nc_allocator *hooks = nc_hlx__hooks(&x->view);
    size_t i;
    for (i = 0; x->matrices && i < count; i++) {
        nc__free(hooks, x->matrices[i].codes, x->matrices[i].bytes);
#ifdef NC_HLX_FP4
        nc_fp4_tensor_free(&x->matrices[i].tensor);
#endif
    }
    nc__free(hooks, x->matrices, x->matrices ? nc_hlx__matrices_bytes(x) : 0);
    x->matrices = NULL;
    x->format = NC_HLX_WEIGHTS_FLOAT32;
}

/* Scale and codes of column j; 0 where a weight is not finite. */
static int nc_hlx__int8_column(nc_hlx__matrix *m, const float *w, size_t j) {
    const float shift = 12582912.0f; /* 3 * 2^22: what is added to it is rounded to an integer */
    int8_t *to = m->codes + j / NC_HLX__COLUMNS * m->k * NC_HLX__COLUMNS + j % NC_HLX__COLUMNS;
    float most = 0.0f;
    size_t i;
    for (i = 0; i < m->k; i++) {
        const float v = fabsf(w[i * m->n + j]);
        if (!(v <= FLT_MAX)) return 0;
        if (v > most) most = v;
    }
    m->scales[j] = most / 127.0f;
    for (i = 0; i < m->k && m->scales[j] > 0.0f; i++) {
        float v = w[i * m->n + j] / m->scales[j];
        v = v > 127.0f ? 127.0f : v < -127.0f ? -127.0f : v; /* of a subnormal scale */
        v = v + shift;
        to[i * NC_HLX__COLUMNS] = (int8_t)(v - shift);
    }
    return 1;
}

static nc_status nc_hlx__int8_matrix(nc_hlx__matrix *m, const float *w, const nc_allocator *hooks) {
    const size_t columns = (m->n + NC_HLX__COLUMNS - 1) / NC_HLX__COLUMNS * NC_HLX__COLUMNS;
    size_t j;
    m->bytes = nc__add_size(nc__mul_size(m->k, columns), nc__mul_size(m->n, sizeof *m->scales));
    m->codes = (int8_t *)nc__calloc(hooks, m->bytes);
    if (!m->codes) return NC_ERR_MEMORY;
    m->scales = (float *)(void *)(m->codes + m->k * columns);
    for (j = 0; j < m->n; j++)
        if (!nc_hlx__int8_column(m, w, j)) return NC_ERR_ARG;
    return NC_OK;
}

#ifdef NC_HLX_FP4
static nc_status nc_hlx__fp4_matrix(nc_hlx__matrix *m, nc_hlx_weights format, const float *w,
                                    const nc_allocator *hooks) {
    static const nc_fp4_format formats[] = {NC_FP4_MXFP4, NC_FP4_NVFP4, NC_FP4_NF4};
    const size_t bytes = nc__mul_size(nc__mul_size(m->k, m->n), sizeof *w);
    float *turned = (float *)nc__alloc(hooks, bytes);
    nc_status status = NC_OK;
    size_t i, j;
    if (!turned) return NC_ERR_MEMORY;
    for (i = 0; i < m->k; i++)
        for (j = 0; j < m->n; j++) {
            if (!(fabsf(w[i * m->n + j]) <= FLT_MAX)) status = NC_ERR_ARG;
            turned[j * m->k + i] = w[i * m->n + j];
        }
    if (status == NC_OK)
        status = nc_fp4_tensor_create(&m->tensor, formats[format - NC_HLX_WEIGHTS_MXFP4], NULL,
                                      turned, (uint32_t)m->n, (uint32_t)m->k);
    if (status == NC_OK)
        m->bytes = m->n * nc_fp4_code_bytes(m->k) + nc_fp4_tensor_scale_bytes(&m->tensor);
    nc__free(hooks, turned, bytes);
    return status;
}
#endif

/* Whether a tensor is a matrix of a layer. */
static int nc_hlx__is_matrix(const nc_hlx_model *model, int t) {
    return nc_hlx__is_layer_tensor(t) && nc_hlx__tensors[t].rows != NC_HLX__N_ONE &&
           model->layout.size[t] != 0;
}

static nc_status nc_hlx__make_matrices(nc_hlx_cache *x, nc_hlx_weights format) {
    const nc_allocator *hooks = nc_hlx__hooks(&x->view);
    const nc_hlx_config *c = &x->view.config;
    nc_hlx__cursor at = nc_hlx__first_tensor();
    nc_status status = NC_OK;
    x->matrices = (nc_hlx__matrix *)nc__calloc(hooks, nc_hlx__matrices_bytes(x));
    if (!x->matrices) return NC_ERR_MEMORY;
    x->format = format;
    while (nc_hlx__next_tensor(&x->view, &at) && status == NC_OK) {
        nc_hlx__matrix *m = &x->matrices[at.layer * NC_HLX__TENSORS + (size_t)at.t];
        const float *w = x->view.parameters + at.at;
        if (!nc_hlx__is_matrix(&x->view, at.t)) continue;
        m->k = nc_hlx__dimension(c, nc_hlx__tensors[at.t].rows);
        m->n = nc_hlx__dimension(c, nc_hlx__tensors[at.t].columns);
        if (format == NC_HLX_WEIGHTS_INT8)
            status = nc_hlx__int8_matrix(m, w, hooks);
        else
#ifdef NC_HLX_FP4
            status = nc_hlx__fp4_matrix(m, format, w, hooks);
#else
            status = NC_ERR_UNSUPPORTED;
#endif
    }
    return status;
}

NC_API nc_status nc_hlx_cache_quantize(nc_hlx_cache *cache, nc_hlx_weights format,
                                       uint64_t *bytes) {
    nc_status status = NC_OK;
    uint64_t sum = 0;
    size_t i;
    if (!cache || (uint32_t)format >= NC_HLX_WEIGHTS_COUNT) return NC_ERR_ARG;
    nc_hlx__drop_matrices(cache);
    for (i = 0; i < cache->sequences; i++) {
        cache->length[i] = 0;
        cache->logits_row[i] = NC_HLX__NO_LOGITS;
    }
    if (format != NC_HLX_WEIGHTS_FLOAT32) status = nc_hlx__make_matrices(cache, format);
    if (status != NC_OK) {
        nc_hlx__drop_matrices(cache);
        return status;
    }
    for (i = 0; i < (size_t)cache->view.config.num_layers * NC_HLX__TENSORS && cache->matrices; i++)
        sum += cache->matrices[i].bytes;
    if (bytes) *bytes = sum;
    return NC_OK;
}

NC_API void nc_hlx_cache_destroy(nc_hlx_cache *cache) {
    nc_allocator hooks;
    const nc_allocator *use;
    if (!cache) return;
    nc_hlx__drop_matrices(cache);
    hooks = cache->view.hooks;
    use = cache->view.custom_hooks ? &hooks : NULL;
    nc__free(use, cache->view.work, cache->view.work_bytes);
    nc__free(use, cache, sizeof *cache);
}

NC__COLD_END

/* 64 outputs += codes^T x, each a chain over ascending k; eight at a time, so that the sums are
 * loaded and stored less often. */
NC_HLX__INLINE void nc_hlx__int8_panel_body(float *sums, const float *x, const int8_t *q,
                                            size_t k) {
    enum { N = NC_HLX__COLUMNS };
    size_t i;
    int j;
    for (i = 0; i + 8 <= k; i += 8, q += 8 * N) {
        const float *y = x + i;
        NC_HLX__FREE
        for (j = 0; j < N; j++) {
            float s = NC__FMAF(y[0], (float)q[j], sums[j]);
            s = NC__FMAF(y[1], (float)q[N + j], s);
            s = NC__FMAF(y[2], (float)q[2 * N + j], s);
            s = NC__FMAF(y[3], (float)q[3 * N + j], s);
            s = NC__FMAF(y[4], (float)q[4 * N + j], s);
            s = NC__FMAF(y[5], (float)q[5 * N + j], s);
            s = NC__FMAF(y[6], (float)q[6 * N + j], s);
            sums[j] = NC__FMAF(y[7], (float)q[7 * N + j], s);
        }
    }
    for (; i < k; i++, q += N) {
        NC_HLX__FREE
        for (j = 0; j < N; j++) sums[j] = NC__FMAF(x[i], (float)q[j], sums[j]);
    }
}
NC_HLX__VERSIONS(nc_hlx__int8_panel, (float *sums, const float *x, const int8_t *q, size_t k),
                 (sums, x, q, k))

/* Rows times the panels of a matrix. */
typedef struct nc_hlx__int8_job {
    const nc_hlx__matrix *m;
    const float *x, *bias, *residual;
    float *out;
    size_t rows;
} nc_hlx__int8_job;

static void nc_hlx__int8_panels(const void *job, size_t first, size_t count, size_t thread) {
    const nc_hlx__int8_job *j = (const nc_hlx__int8_job *)job;
    const size_t k = j->m->k, n = j->m->n;
    float sums[NC_HLX__COLUMNS];
    size_t p, r, i;
    (void)thread;
    for (p = first; p < first + count; p++)
        for (r = 0; r < j->rows; r++) {
            const size_t at = p * NC_HLX__COLUMNS, width = nc_hlx__min(n - at, NC_HLX__COLUMNS);
            float *out = j->out + r * n + at;
            memset(sums, 0, sizeof sums);
            nc_hlx__int8_panel(sums, j->x + r * k, j->m->codes + at * k, k);
            for (i = 0; i < width; i++) {
                out[i] = sums[i] * j->m->scales[at + i];
                if (j->bias) out[i] = out[i] + j->bias[at + i];
                if (j->residual) out[i] = out[i] + j->residual[r * n + at + i];
            }
        }
}

/* The matrix that stands for a weight of the layer, or null. */
static const nc_hlx__matrix *nc_hlx__matrix_of(const nc_hlx__pass *s, nc_hlx__place w) {
    const nc_hlx__layout *layout = &s->model->layout;
    const size_t first = layout->offset[layout->layer_first];
    const size_t at = w.in == NC_HLX__STATE ? w.at - s->layer * layout->layer_stride
                                            : w.at - s->plan->at[NC_HLX__A_ROUNDED] + first;
    int t;
    for (t = layout->layer_first; s->cache->matrices && nc_hlx__is_layer_tensor(t); t++)
        if (nc_hlx__is_matrix(s->model, t) && layout->offset[t] == at)
            return &s->cache->matrices[s->layer * NC_HLX__TENSORS + (size_t)t];
    return NULL;
}

static void nc_hlx__cache_linear(nc_hlx__pass *s, nc_hlx__place out, nc_hlx__place activated,
                                 nc_hlx__place x, nc_hlx__place w, nc_hlx__place bias,
                                 nc_hlx__place residual, size_t k, size_t n, int rounded) {
    const nc_hlx__matrix *m = nc_hlx__matrix_of(s, w);
    nc_hlx__int8_job j;
    if (!m) {
        nc_hlx__host_linear(s, out, activated, x, w, bias, residual, k, n, rounded);
        return;
    }
    j.m = m;
    j.x = nc_hlx__memory(s, x);
    j.bias = nc_hlx__memory(s, bias);
    j.residual = nc_hlx__memory(s, residual);
    j.out = nc_hlx__memory(s, out);
    j.rows = s->rows;
    if (s->cache->format == NC_HLX_WEIGHTS_INT8) {
        nc_hlx__split(nc_hlx__int8_panels, &j, (n + NC_HLX__COLUMNS - 1) / NC_HLX__COLUMNS, 1);
    } else {
#ifdef NC_HLX_FP4
        nc_fp4_product_options o;
        nc_status status;
        memset(&o, 0, sizeof o);
        o.bias = j.bias;
        status = nc_fp4_product(&m->tensor, &o, j.x, s->rows, j.out);
        if (status != NC_OK) s->status = status;
        if (j.residual) nc_hlx__host_elementwise(s, NC_HLX__E_ADD, out, out, residual, s->rows * n);
#endif
    }
    nc_hlx__host_activated(s, out, activated, s->rows * n, rounded);
}

static void nc_hlx__cache_embedding(nc_hlx__pass *s, nc_hlx__place out) {
    const nc_hlx_cache *x = s->cache;
    const size_t d = s->model->config.d_model;
    const float *wte = nc_hlx__tensor(s, NC_HLX__WTE, 0), *wpe = nc_hlx__tensor(s, NC_HLX__WPE, 0);
    const uint32_t *tokens = nc_hlx__integers(s->model, NC_HLX__A_TOKENS);
    float *to = nc_hlx__memory(s, out);
    size_t i;
    for (i = 0; i < x->segments; i++) {
        const nc_hlx__segment r = x->segment[i];
        nc_hlx_embedding(to + r.row * d, tokens + r.row, wte, wpe ? wpe + r.position * d : NULL,
                         r.rows, r.rows, d);
    }
}

static void nc_hlx__cache_rotary(nc_hlx__pass *s, nc_hlx__place qkv, int inverse) {
    const nc_hlx_cache *x = s->cache;
    const nc_hlx_config *c = &s->model->config;
    float *rows = nc_hlx__memory(s, qkv);
    size_t i;
    for (i = 0; i < x->segments; i++) {
        const nc_hlx__segment r = x->segment[i];
        nc_hlx__turn_rows(c, rows + r.row * nc_hlx__dimension(c, NC_HLX__N_QKV),
                          s->model->rotary + (size_t)r.position * nc_hlx__head_size(c), r.rows,
                          r.rows, inverse);
    }
}

/* Keys and values of a sequence in a layer. */
static float *nc_hlx__cache_keys(const nc_hlx_cache *x, size_t layer, size_t sequence) {
    const nc_hlx_config *c = &x->view.config;
    return x->kv + (layer * x->sequences + sequence) * c->max_seq_len * nc_hlx__cache_width(c);
}

/* A head of the queries of a segment. */
static void nc_hlx__cache_head(const nc_hlx__pass *s, const float *qkv, float *out, size_t item,
                               size_t thread) {
    const nc_hlx_cache *x = s->cache;
    const nc_hlx_config *c = &s->model->config;
    const nc_hlx__segment r = x->segment[item / c->num_heads];
    const nc_hlx_heads most = nc_hlx__heads(c, 1, c->max_seq_len);
    const nc_hlx_heads shape = nc_hlx__heads(c, 1, (size_t)r.position + r.rows);
    const size_t shared = nc_hlx__kv_heads(&shape), h = item % c->num_heads;
    const size_t key = h / (shape.heads / shared) * shape.head_size;
    nc_hlx__head head;
    memset(&head, 0, sizeof head);
    head.shape = &shape;
    head.d = shape.heads * shape.head_size;
    head.ldq = nc_hlx__qkv_width(&shape);
    head.ldk = nc_hlx__cache_width(c);
    head.q = qkv + r.row * head.ldq + h * shape.head_size;
    head.k = nc_hlx__cache_keys(x, s->layer, r.sequence) + key;
    head.v = head.k + shared * shape.head_size;
    head.scale = 1.0f / sqrtf((float)shape.head_size);
    head.gemm = (char *)nc_hlx__floats(s->model, NC_HLX__A_HEAD_WORK) +
                thread * nc_hlx__head_work_bytes(&most, 1);
    head.block = nc_hlx__head_block(head.gemm);
    nc_hlx__attend_queries(&head, out + r.row * head.d + h * shape.head_size, r.position, r.rows,
                           (int)c->flash);
}

NC_HLX__TASK(nc_hlx__cache_heads, const nc_hlx__pass *s; const float *qkv; float *out;, size_t i;
             for (i = first; i < first + count; i++)
                 nc_hlx__cache_head(j.s, j.qkv, j.out, i, thread))

static void nc_hlx__cache_attention(nc_hlx__pass *s, nc_hlx__place out, nc_hlx__place kept,
                                    nc_hlx__place qkv) {
    const nc_hlx_cache *x = s->cache;
    const nc_hlx__cache_heads_job j = {s, nc_hlx__memory(s, qkv), nc_hlx__memory(s, out)};
    const nc_hlx_config *c = &s->model->config;
    const size_t width = nc_hlx__cache_width(c), row = nc_hlx__dimension(c, NC_HLX__N_QKV);
    size_t i, k;
    (void)kept;
    for (i = 0; i < x->segments; i++) {
        const nc_hlx__segment r = x->segment[i];
        float *to = nc_hlx__cache_keys(x, s->layer, r.sequence) + (size_t)r.position * width;
        for (k = 0; j.qkv && k < r.rows; k++) /* K and V stand at the end of their row */
            memcpy(to + k * width, j.qkv + (r.row + k + 1) * row - width, width * sizeof *to);
    }
    nc_hlx__split_over(s->model->threads, nc_hlx__cache_heads, &j,
                       x->segments * s->model->config.num_heads, 1);
}

NC_API nc_status nc_hlx_cache_create(nc_hlx_cache **cache, const nc_hlx_model *model,
                                     uint32_t sequences) {
    nc_hlx_cache made, *x;
    const nc_allocator *hooks;
    nc_status status;
    uint32_t i;
    if (cache) *cache = NULL;
    if (!cache || !model) return NC_ERR_ARG;
    status = nc_hlx__cache_describe(&made, model, sequences);
    if (status != NC_OK) return status;
    hooks = nc_hlx__hooks(model);
    x = (nc_hlx_cache *)nc__alloc(hooks, sizeof *x);
    if (!x) return NC_ERR_MEMORY;
    made.view.work = (float *)nc__alloc(hooks, made.view.work_bytes);
    *x = made;
    if (!x->view.work) {
        nc_hlx_cache_destroy(x);
        return NC_ERR_MEMORY;
    }
    nc_hlx__cache_plan(x);
    for (i = 0; i < sequences; i++) {
        x->length[i] = 0;
        x->logits_row[i] = NC_HLX__NO_LOGITS;
    }
    x->ops = nc_hlx__host;
    x->ops.embedding = nc_hlx__cache_embedding;
    x->ops.rotary = nc_hlx__cache_rotary;
    x->ops.attention = nc_hlx__cache_attention;
    x->ops.linear = nc_hlx__cache_linear;
    *cache = x;
    return NC_OK;
}

NC_API uint32_t nc_hlx_cache_length(const nc_hlx_cache *cache, uint32_t sequence) {
    return cache && sequence < cache->sequences ? cache->length[sequence] : 0;
}

NC_API nc_status nc_hlx_cache_truncate(nc_hlx_cache *cache, uint32_t sequence, uint32_t length) {
    if (!cache || sequence >= cache->sequences || length > cache->length[sequence])
        return NC_ERR_ARG;
    if (length < cache->length[sequence]) cache->logits_row[sequence] = NC_HLX__NO_LOGITS;
    cache->length[sequence] = length;
    return NC_OK;
}

/* Whether every sequence has room for its tokens and the vocabulary has them all. */
static nc_status nc_hlx__cache_check(const nc_hlx_cache *x, const uint32_t *tokens,
                                     const uint32_t *counts) {
    size_t total = 0, i;
    for (i = 0; i < x->sequences; i++) {
        const uint32_t n = counts ? counts[i] : 1;
        if (n > x->view.config.max_seq_len - x->length[i]) return NC_ERR_LIMIT;
        total += n;
    }
    for (i = 0; i < total; i++)
        if (tokens[i] >= x->view.config.vocab_size) return NC_ERR_ARG;
    return total ? NC_OK : NC_ERR_ARG;
}

/* The pass over the segments so far; where a sequence ends its row is put aside. */
static void nc_hlx__cache_pass(nc_hlx__pass *s) {
    nc_hlx_cache *x = s->cache;
    const size_t d = s->model->config.d_model;
    const float *rows = nc_hlx__memory(s, nc_hlx__input(s, s->model->config.num_layers));
    size_t i;
    s->seq = s->rows;
    nc_hlx__forward_layers(s);
    for (i = 0; i < x->segments; i++) {
        const nc_hlx__segment r = x->segment[i];
        if (!r.last) continue;
        memcpy(x->ends + x->ending * d, rows + (r.row + r.rows - 1) * d, d * sizeof *rows);
        x->logits_row[r.sequence] = (uint32_t)x->ending++;
    }
    x->segments = s->rows = 0;
}

/* Passes over all new tokens, then the logits of the sequences that got some. */
static void nc_hlx__do_append(void *pass) {
    nc_hlx__pass *s = (nc_hlx__pass *)pass;
    nc_hlx_cache *x = s->cache;
    uint32_t *tokens = nc_hlx__integers(s->model, NC_HLX__A_TOKENS);
    const size_t d = s->model->config.d_model;
    const uint32_t *next = x->tokens;
    uint32_t i, left;
    for (i = 0; i < x->sequences; i++)
        for (left = x->counts ? x->counts[i] : 1; left;) {
            nc_hlx__segment r;
            size_t n = nc_hlx__min(left, x->rows - s->rows);
            n = nc_hlx__min(n, NC_HLX__TILE - x->length[i] % NC_HLX__TILE);
            r.sequence = i;
            r.position = x->length[i];
            r.row = (uint32_t)s->rows;
            r.rows = (uint32_t)n;
            left -= r.rows;
            r.last = left == 0;
            memcpy(tokens + s->rows, next, n * sizeof *tokens);
            x->segment[x->segments++] = r;
            x->length[i] += r.rows;
            next += n;
            s->rows += n;
            if (s->rows == x->rows) nc_hlx__cache_pass(s);
        }
    if (s->rows) nc_hlx__cache_pass(s);
    s->rows = x->ending;
    memcpy(nc_hlx__memory(s, nc_hlx__input(s, s->model->config.num_layers)), x->ends,
           s->rows * d * sizeof *x->ends);
    nc_hlx__forward_head(s);
}

NC_API nc_status nc_hlx_cache_append(nc_hlx_cache *cache, const uint32_t *tokens,
                                     const uint32_t *counts) {
    nc_hlx__pass s;
    nc_status status;
    uint32_t i;
    if (!cache || !tokens) return NC_ERR_ARG;
    status = nc_hlx__cache_check(cache, tokens, counts);
    if (status != NC_OK) return status;
    for (i = 0; i < cache->sequences; i++) cache->logits_row[i] = NC_HLX__NO_LOGITS;
    cache->tokens = tokens;
    cache->counts = counts;
    cache->ending = 0;
    s = nc_hlx__host_pass(&cache->view, 1, 0, 0);
    s.ops = &cache->ops;
    s.cache = cache;
    if (cache->format > NC_HLX_WEIGHTS_INT8) /* nc_fp4.h splits its products itself */
        nc_hlx__do_append(&s);
    else
        nc_hlx__together(nc_hlx__do_append, &s);
    for (i = 0; i < cache->sequences && s.status != NC_OK; i++) {
        cache->length[i] -= counts ? counts[i] : 1;
        cache->logits_row[i] = NC_HLX__NO_LOGITS;
    }
    return s.status;
}

/* A sequence's logits, or null. */
static float *nc_hlx__cache_row(const nc_hlx_cache *x, uint32_t sequence) {
    if (!x || sequence >= x->sequences || x->logits_row[sequence] == NC_HLX__NO_LOGITS) return NULL;
    return nc_hlx__floats(&x->view, NC_HLX__A_LOGITS) +
           (size_t)x->logits_row[sequence] * x->view.config.vocab_size;
}

NC_API const float *nc_hlx_cache_logits(const nc_hlx_cache *cache, uint32_t sequence) {
    return nc_hlx__cache_row(cache, sequence);
}

/* The cache of nc_hlx_decode, cut at a position. */
static nc_status nc_hlx__own_cache(nc_hlx_model *model, uint32_t position) {
    nc_status status = NC_OK;
    if (!model->cache) status = nc_hlx_cache_create(&model->cache, model, 1);
    return status == NC_OK ? nc_hlx_cache_truncate(model->cache, 0, position) : status;
}

NC_API nc_status nc_hlx_decode(nc_hlx_model *model, uint32_t token, uint32_t position,
                               const float **logits) {
    nc_status status;
    if (logits) *logits = NULL;
    if (!model || !logits || token >= model->config.vocab_size ||
        position >= model->config.max_seq_len)
        return NC_ERR_ARG;
    status = nc_hlx__own_cache(model, position);
    if (status == NC_OK) status = nc_hlx_cache_append(model->cache, &token, NULL);
    if (status == NC_OK) *logits = nc_hlx_cache_logits(model->cache, 0);
    return status;
}

/* -- draws -- */

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

NC_API nc_status nc_hlx_cache_draw(nc_hlx_cache *cache, uint32_t sequence,
                                   const nc_hlx_sampling *sampling, uint64_t index,
                                   uint32_t *token) {
    float *logits = nc_hlx__cache_row(cache, sequence);
    nc_hlx_sampling s;
    if (!logits || !token) return NC_ERR_ARG;
    memset(&s, 0, sizeof s);
    if (sampling) s = *sampling;
    *token = nc_hlx__draw(
        logits, cache->view.config.vocab_size,
        (nc_hlx__candidate *)(void *)nc_hlx__floats(&cache->view, NC_HLX__A_CANDIDATES), &s, index);
    cache->logits_row[sequence] = NC_HLX__NO_LOGITS;
    return NC_OK;
}

/* nc_hlx_sample_tokens from a context that is not empty; *written gets the number of tokens. */
static nc_status nc_hlx__continue(nc_hlx_model *model, uint32_t *context, uint32_t length,
                                  const nc_hlx_sampling *sampling, uint32_t *out, size_t count,
                                  size_t *written) {
    const uint32_t seq = model->config.max_seq_len;
    uint32_t cached = 0;
    nc_status status = nc_hlx__own_cache(model, 0);
    for (*written = 0; *written < count && status == NC_OK;) {
        const uint32_t more = length - cached;
        status = nc_hlx_cache_append(model->cache, context + cached, &more);
        if (status == NC_OK)
            status = nc_hlx_cache_draw(model->cache, 0, sampling, *written, &out[*written]);
        if (status != NC_OK) break;
        cached = length;
        if (length == seq) {
            length = seq / 2;
            memmove(context, context + seq - length, length * sizeof *context);
            cached = 0;
            status = nc_hlx_cache_truncate(model->cache, 0, 0);
        }
        context[length++] = out[(*written)++];
        if (sampling && sampling->token_fn &&
            sampling->token_fn(sampling->user, context[length - 1]))
            break;
    }
    return status;
}

/* nc_hlx_sample_tokens, and how many. */
static nc_status nc_hlx__sample(nc_hlx_model *model, const uint32_t *prompt, size_t n,
                                const nc_hlx_sampling *sampling, uint32_t *out, size_t count,
                                size_t *written) {
    uint32_t length = 0, seq, *context;
    size_t i;
    if (!model || (!prompt && n) || (!out && count)) return NC_ERR_ARG;
    seq = model->config.max_seq_len;
    /* free outside training steps, as long as max_seq_len */
    context = nc_hlx__integers(model, NC_HLX__A_TARGETS);
    if (n > seq) {
        prompt += n - seq;
        n = seq;
    }
    for (i = 0; i < n; i++) context[length++] = prompt[i];
    if (length == 0) context[length++] = '\n';
    return nc_hlx__continue(model, context, length, sampling, out, count, written);
}

NC_API nc_status nc_hlx_sample_tokens(nc_hlx_model *model, const uint32_t *prompt, size_t n,
                                      const nc_hlx_sampling *sampling, uint32_t *out,
                                      size_t count) {
    size_t written;
    return nc_hlx__sample(model, prompt, n, sampling, out, count, &written);
}

NC_API nc_status nc_hlx_sample(nc_hlx_model *model, const uint8_t *prompt, size_t prompt_bytes,
                               const nc_hlx_sampling *sampling, uint8_t *out, size_t count) {
    const nc_allocator *hooks;
    uint32_t *tokens;
    size_t bytes = nc__mul_size(nc__add_size(prompt_bytes, count), sizeof *tokens), i, written = 0;
    nc_status status;
    if (!model || (!prompt && prompt_bytes) || (!out && count) || model->config.vocab_size != 256)
        return NC_ERR_ARG;
    hooks = nc_hlx__hooks(model);
    tokens = (uint32_t *)nc__alloc(hooks, bytes);
    if (!tokens) return NC_ERR_MEMORY;
    for (i = 0; i < prompt_bytes; i++) tokens[i] = prompt[i];
    status = nc_hlx__sample(model, tokens, prompt_bytes, sampling, tokens + prompt_bytes, count,
                            &written);
    for (i = 0; out && i < written && status == NC_OK; i++)
        out[i] = (uint8_t)tokens[prompt_bytes + i];
    nc__free(hooks, tokens, bytes);
    return status;
}

/* >>checkpoints ==================================================================== */

NC__COLD_BEGIN

NC_API nc_hlx_run *nc_hlx_get_run(nc_hlx_model *model) { return model ? &model->run : NULL; }

NC_API nc_status nc_hlx_run_check(const nc_hlx_run *saved, const nc_hlx_run *now, nc_error *err) {
    nc__clear(err);
    if (!saved || !now) return nc__fail(err, NC_ERR_ARG, 0, 0, "no run");
    if (!saved->token_bytes || !now->token_bytes) return NC_OK;
    if (saved->token_bytes != now->token_bytes)
        return nc__fail(err, NC_ERR_MISMATCH, 0, 0, "the run had tokens of %u bytes, not %u",
                        (unsigned)saved->token_bytes, (unsigned)now->token_bytes);
    if (saved->tokenizer != now->tokenizer)
        return nc__fail(err, NC_ERR_MISMATCH, 0, 0, "the run had %s tokenizer",
                        !saved->tokenizer ? "no"
                        : now->tokenizer  ? "another"
                                          : "a");
    if (saved->data_bytes != now->data_bytes)
        return nc__fail(err, NC_ERR_MISMATCH, 0, 0,
                        "the run had data of %llu bytes, this file has %llu",
                        (unsigned long long)saved->data_bytes, (unsigned long long)now->data_bytes);
    if (saved->data_digest != now->data_digest)
        return nc__fail(err, NC_ERR_MISMATCH, 0, 0,
                        "the run had other data of the same size (digest %016llx, not %016llx)",
                        (unsigned long long)saved->data_digest,
                        (unsigned long long)now->data_digest);
    if (saved->valid_bytes != now->valid_bytes || saved->valid_digest != now->valid_digest)
        return nc__fail(err, NC_ERR_MISMATCH, 0, 0, "the run had %s data for validation",
                        !saved->valid_bytes ? "no file of"
                        : now->valid_bytes  ? "other"
                                            : "a file of");
    return NC_OK;
}

#ifndef NC_NO_STDIO
/* Layout, little-endian: 8 bytes magic, u32 version, u32 header bytes, 8 words of nc_hlx_config,
 * u64 step, u64 loader seed, u64 loader position, u32 loader seq, u32 zero, u64 parameter count,
 * the 9 words of nc_hlx_adamw, u32 zero, 4 words of nc_hlx_config, u64 seed of dropout, 14 words of
 * nc_hlx_config, zeros up to 256, nc_hlx_run in the order of its members (72 bytes), zeros up to
 * 512; then parameters, first and second moments as float32; then FNV-1a (64 bits) of everything
 * before it. Version 3 ends behind 2 of the 14 and 32 bytes zero. */
#define NC_HLX__MAGIC "NCHLXCKP"
enum { NC_HLX__VERSION = 4, NC_HLX__HEADER = 512, NC_HLX__HEADER_3 = 192 };
enum { NC_HLX__ADAMW_AT = 88, NC_HLX__RUN_AT = 256 };

/* Where each word of nc_hlx_config stands, in the order of its members. */
static const uint8_t nc_hlx__config_at[] = {16,  20,  24,  28,  32,  36,  40,  44,  128,
                                            132, 136, 140, 152, 156, 160, 164, 168, 172,
                                            176, 180, 184, 188, 192, 196, 200, 204};
typedef char
    nc_hlx__config_has_places[sizeof nc_hlx__config_at * 4 == sizeof(nc_hlx_config) ? 1 : -1];

/* Word i of a struct of 4-byte members, to and from a file. */
static void nc_hlx__put_word(uint8_t *out, const void *of, size_t i) {
    uint32_t word;
    memcpy(&word, (const char *)of + 4 * i, 4);
    nc__put_le(out, word, 4);
}

static void nc_hlx__get_word(void *of, size_t i, const uint8_t *in) {
    const uint32_t word = (uint32_t)nc__get_le(in, 4);
    memcpy((char *)of + 4 * i, &word, 4);
}

/* Whether memory has the order of files, the lowest byte first. */
static int nc_hlx__has_file_order(void) {
    const uint16_t probe = 1;
    uint8_t first;
    memcpy(&first, &probe, 1);
    return first == 1;
}

/* float32 arrays between memory and file order. */
static void nc_hlx__file_order(float *x, size_t n) {
    uint8_t *b = (uint8_t *)(void *)x;
    size_t i;
    if (nc_hlx__has_file_order()) return;
    for (i = 0; i < n; i++, b += 4) {
        uint8_t b0 = b[0], b1 = b[1];
        b[0] = b[3];
        b[1] = b[2];
        b[2] = b1;
        b[3] = b0;
    }
}

/* Six members of 8 bytes, four words, one member of 8 bytes. */
enum { NC_HLX__RUN_LONG = 6, NC_HLX__RUN_WORDS = 4 };
typedef char nc_hlx__run_has_places
    [sizeof(nc_hlx_run) == 8 * (NC_HLX__RUN_LONG + 1) + 4 * NC_HLX__RUN_WORDS ? 1 : -1];

static void nc_hlx__write_run(uint8_t *out, const nc_hlx_run *run) {
    const uint64_t large[NC_HLX__RUN_LONG] = {run->data_bytes,   run->data_digest, run->valid_bytes,
                                              run->valid_digest, run->tokenizer,   run->best_step};
    size_t i;
    for (i = 0; i < NC_HLX__RUN_LONG; i++, out += 8) nc__put_le(out, large[i], 8);
    for (i = 0; i < NC_HLX__RUN_WORDS; i++, out += 4) nc_hlx__put_word(out, &run->token_bytes, i);
    nc__put_le(out, run->valid_step, 8);
}

static void nc_hlx__read_run(nc_hlx_run *run, const uint8_t *in) {
    uint64_t *large[NC_HLX__RUN_LONG];
    size_t i;
    large[0] = &run->data_bytes, large[1] = &run->data_digest, large[2] = &run->valid_bytes;
    large[3] = &run->valid_digest, large[4] = &run->tokenizer, large[5] = &run->best_step;
    for (i = 0; i < NC_HLX__RUN_LONG; i++, in += 8) *large[i] = nc__get_le(in, 8);
    for (i = 0; i < NC_HLX__RUN_WORDS; i++, in += 4) nc_hlx__get_word(&run->token_bytes, i, in);
    run->valid_step = nc__get_le(in, 8);
}

static void nc_hlx__write_header(const nc_hlx_model *model, const nc_hlx_loader *loader,
                                 uint8_t header[NC_HLX__HEADER]) {
    size_t i;
    memset(header, 0, NC_HLX__HEADER);
    memcpy(header, NC_HLX__MAGIC, 8);
    nc__put_le(header + 8, NC_HLX__VERSION, 4);
    nc__put_le(header + 12, NC_HLX__HEADER, 4);
    for (i = 0; i < sizeof nc_hlx__config_at; i++)
        nc_hlx__put_word(header + nc_hlx__config_at[i], &model->config, i);
    nc__put_le(header + 48, model->step, 8);
    nc__put_le(header + 56, loader ? loader->seed : 0, 8);
    nc__put_le(header + 64, loader ? loader->next : 0, 8);
    nc__put_le(header + 72, loader ? loader->seq : 0, 4);
    nc__put_le(header + 80, model->layout.total, 8);
    for (i = 0; i < sizeof model->adamw / 4; i++)
        nc_hlx__put_word(header + NC_HLX__ADAMW_AT + 4 * i, &model->adamw, i);
    nc__put_le(header + 144, model->seed, 8);
    nc_hlx__write_run(header + NC_HLX__RUN_AT, &model->run);
}

/* A checkpoint being written, and what its values pass through on their way. */
enum { NC_HLX__SAVED = 1 << 16 };
typedef struct nc_hlx__saving {
    nc__writer file;
    uint64_t hash;
    float *block;
} nc_hlx__saving;

static void nc_hlx__save_bytes(nc_hlx__saving *w, const void *data, size_t bytes) {
    w->hash = nc__fnv1a(w->hash, data, bytes);
    nc__writer_put(&w->file, data, bytes);
}

/* n values, of which x holds all, or which moments is asked for. */
static nc_status nc_hlx__save_values(nc_hlx__saving *w, const float *x, size_t n,
                                     nc_hlx_moments_fn moments, void *user, uint32_t moment) {
    nc_status status = NC_OK;
    size_t at, count;
    for (at = 0; at < n; at += count) {
        count = nc_hlx__min(n - at, NC_HLX__SAVED);
        if (moments)
            status = moments(user, moment, at, count, w->block);
        else
            memcpy(w->block, x + at, count * sizeof *x);
        if (status != NC_OK) break;
        nc_hlx__file_order(w->block, count);
        nc_hlx__save_bytes(w, w->block, count * sizeof *x);
    }
    return status;
}

static nc_status nc_hlx__save(const nc_hlx_model *model, const nc_hlx_loader *loader,
                              const char *path, nc_hlx_moments_fn moments, void *user,
                              nc_error *err) {
    const nc_allocator *hooks = nc_hlx__hooks(model);
    const size_t total = model->layout.total;
    uint8_t header[NC_HLX__HEADER], checksum[8];
    nc_hlx__saving w;
    nc_status status = nc__writer_open(&w.file, path, err), closed;
    if (status != NC_OK) return status;
    w.hash = NC__FNV_START;
    w.block = (float *)nc__alloc(hooks, NC_HLX__SAVED * sizeof(float));
    if (!w.block) status = NC_ERR_MEMORY;
    nc_hlx__write_header(model, loader, header);
    nc_hlx__save_bytes(&w, header, sizeof header);
    if (status == NC_OK) status = nc_hlx__save_values(&w, model->parameters, total, NULL, NULL, 0);
    if (status == NC_OK) status = nc_hlx__save_values(&w, model->m, total, moments, user, 0);
    if (status == NC_OK) status = nc_hlx__save_values(&w, model->v, total, moments, user, 1);
    nc__put_le(checksum, w.hash, sizeof checksum);
    nc__writer_put(&w.file, checksum, sizeof checksum);
    nc__free(hooks, w.block, NC_HLX__SAVED * sizeof(float));
    closed = nc__writer_close(&w.file, status == NC_OK, err);
    if (status != NC_OK)
        return nc__fail(err, status, 0, 0, "cannot write '%.120s': %s", path,
                        nc_status_str(status));
    return closed;
}

NC_API nc_status nc_hlx_save(const nc_hlx_model *model, const nc_hlx_loader *loader,
                             const char *path, nc_error *err) {
    nc__clear(err);
    if (!model || !path) return nc__fail(err, NC_ERR_ARG, 0, 0, "no model or no path");
    if (!nc_hlx__whole(model))
        return nc__fail(err, NC_ERR_ARG, 0, 0, "the model keeps %s of the moments",
                        model->inference ? "none" : "a part");
    return nc_hlx__save(model, loader, path, NULL, NULL, err);
}

NC_API nc_status nc_hlx_save_shards(const nc_hlx_model *model, const nc_hlx_loader *loader,
                                    const char *path, nc_hlx_moments_fn moments, void *user,
                                    nc_error *err) {
    nc__clear(err);
    if (!model || !path || !moments)
        return nc__fail(err, NC_ERR_ARG, 0, 0, "no model, no path or no moments");
    return nc_hlx__save(model, loader, path, moments, user, err);
}

/* The header of a file, what its version did not have as zeros, and how long it is in the file. */
static nc_status nc_hlx__take_header(uint8_t header[NC_HLX__HEADER], size_t *length,
                                     const uint8_t *data, size_t bytes, nc_error *err) {
    uint64_t version;
    memset(header, 0, NC_HLX__HEADER);
    if (bytes < NC_HLX__HEADER_3 + 8 || memcmp(data, NC_HLX__MAGIC, 8))
        return nc__fail(err, NC_ERR_FORMAT, 0, 0, "not an nc_hlx checkpoint");
    version = nc__get_le(data + 8, 4);
    *length = version == 3 ? NC_HLX__HEADER_3 : NC_HLX__HEADER;
    if ((version != 3 && version != NC_HLX__VERSION) || nc__get_le(data + 12, 4) != *length)
        return nc__fail(err, NC_ERR_UNSUPPORTED, 0, 0, "checkpoint version %u is not supported",
                        (unsigned)version);
    if (bytes < *length + 8)
        return nc__fail(err, NC_ERR_FORMAT, 0, 0, "checkpoint is truncated or has trailing bytes");
    memcpy(header, data, *length);
    return NC_OK;
}

/* Check a header against the file size and fill the configuration. */
static nc_status nc_hlx__read_header(const uint8_t header[NC_HLX__HEADER], size_t length,
                                     const uint8_t *data, size_t bytes, nc_hlx_config *c,
                                     nc_error *err) {
    nc_hlx__layout layout;
    uint64_t count;
    size_t i;
    for (i = 0; i < sizeof nc_hlx__config_at; i++)
        nc_hlx__get_word(c, i, header + nc_hlx__config_at[i]);
    count = nc__get_le(header + 80, 8);
    if (!c->vocab_size || !c->d_model || !c->num_layers || !c->num_heads || !c->ffn_dim ||
        !c->max_seq_len || !c->batch_size || !c->micro_batches || nc_hlx__complete(c, c) != NC_OK)
        return nc__fail(err, NC_ERR_FORMAT, 0, 0, "impossible configuration in checkpoint");
    nc_hlx__make_layout(c, &layout);
    if (layout.total != count || count > (SIZE_MAX - 4096) / 12 || bytes != length + 12 * count + 8)
        return nc__fail(err, NC_ERR_FORMAT, 0, 0, "checkpoint is truncated or has trailing bytes");
    if (nc__get_le(data + bytes - 8, 8) != nc__fnv1a(NC__FNV_START, data, bytes - 8))
        return nc__fail(err, NC_ERR_MISMATCH, 0, 0, "checkpoint checksum does not match");
    if (nc__get_le(header + 48, 8) >> 40) /* streams of dropout are step 2^24 + place */
        return nc__fail(err, NC_ERR_FORMAT, 0, 0, "checkpoint is of a step beyond 2^40");
    return NC_OK;
}

/* What a checked file says of a model and its loader. */
static void nc_hlx__read_state(nc_hlx_model *model, nc_hlx_loader *loader,
                               const uint8_t header[NC_HLX__HEADER], const uint8_t *values) {
    const size_t total = model->layout.total;
    size_t i;
    memcpy(model->parameters, values, total * sizeof(float));
    nc_hlx__file_order(model->parameters, total);
    if (!model->inference) {
        memcpy(model->m, values + 4 * (total + model->first), model->count * sizeof(float));
        memcpy(model->v, values + 4 * (2 * total + model->first), model->count * sizeof(float));
        nc_hlx__file_order(model->m, 2 * model->count);
    }
    model->step = nc__get_le(header + 48, 8);
    model->seed = nc__get_le(header + 144, 8);
    for (i = 0; i < sizeof model->adamw / 4; i++)
        nc_hlx__get_word(&model->adamw, i, header + NC_HLX__ADAMW_AT + 4 * i);
    nc_hlx__read_run(&model->run, header + NC_HLX__RUN_AT);
    if (!loader) return;
    loader->seed = nc__get_le(header + 56, 8);
    loader->next = nc__get_le(header + 64, 8);
    loader->seq = (uint32_t)nc__get_le(header + 72, 4);
}

/* count SIZE_MAX: all moments, or with that for first too a model for inference. */
static nc_status nc_hlx__load(nc_hlx_model **model, nc_hlx_loader *loader, const char *path,
                              uint32_t batch_size, size_t first, size_t count,
                              const nc_allocator *hooks, nc_error *err) {
    nc_hlx_config config;
    uint8_t header[NC_HLX__HEADER];
    nc_hlx_file file;
    size_t length = 0;
    nc_status status;
    nc__clear(err);
    if (model) *model = NULL;
    if (!model || !path) return nc__fail(err, NC_ERR_ARG, 0, 0, "no model or no path");
    status = nc_hlx_file_open(&file, path, err);
    if (status != NC_OK) return status;
    status = nc_hlx__take_header(header, &length, file.data, file.bytes, err);
    if (status == NC_OK)
        status = nc_hlx__read_header(header, length, file.data, file.bytes, &config, err);
    if (status == NC_OK) {
        if (batch_size) config.batch_size = batch_size;
        status = count < SIZE_MAX   ? nc_hlx_create_shard(model, &config, first, count, hooks)
                 : first < SIZE_MAX ? nc_hlx_create(model, &config, hooks)
                                    : nc_hlx_create_inference(model, &config, hooks);
        if (status != NC_OK) nc__fail(err, status, 0, 0, "%s", nc_status_str(status));
    }
    if (status == NC_OK) nc_hlx__read_state(*model, loader, header, file.data + length);
    nc_hlx_file_close(&file);
    return status;
}

NC_API nc_status nc_hlx_load(nc_hlx_model **model, nc_hlx_loader *loader, const char *path,
                             uint32_t batch_size, const nc_allocator *hooks, nc_error *err) {
    return nc_hlx__load(model, loader, path, batch_size, 0, SIZE_MAX, hooks, err);
}

NC_API nc_status nc_hlx_load_shard(nc_hlx_model **model, nc_hlx_loader *loader, const char *path,
                                   uint32_t batch_size, size_t first, size_t count,
                                   const nc_allocator *hooks, nc_error *err) {
    if (count == SIZE_MAX) count--; /* no model has so many */
    return nc_hlx__load(model, loader, path, batch_size, first, count, hooks, err);
}

NC_API nc_status nc_hlx_load_inference(nc_hlx_model **model, const char *path, uint32_t batch_size,
                                       const nc_allocator *hooks, nc_error *err) {
    return nc_hlx__load(model, NULL, path, batch_size, SIZE_MAX, SIZE_MAX, hooks, err);
}
#endif

/* >>weights ======================================================================== */

#ifndef NC_NO_STDIO
/* -- what tensors are called in files: as GPT-2's are, or as those of transformers' Llama -- */

/* Whether a model has GPT-2's blocks, but for the activation. */
static int nc_hlx__is_gpt2(const nc_hlx_config *c) {
    return !c->num_kv_heads && !c->head_size && !c->rms_norm && !c->rotary && !c->gated_ffn &&
           c->biases == NC_HLX_BIASES_ALL;
}

/* The blocks that transformers' Llama, Mistral and Qwen2 have. */
static int nc_hlx__is_llama(const nc_hlx_config *c) {
    return c->rms_norm && c->rotary && c->gated_ffn;
}

/* Whether a file can hold a model. */
static nc_status nc_hlx__nameable(const nc_hlx_config *c, nc_error *err) {
    if (nc_hlx__is_gpt2(c) || nc_hlx__is_llama(c)) return NC_OK;
    return nc__fail(err, NC_ERR_UNSUPPORTED, 0, 0,
                    "tensors have names for GPT-2's blocks or for LLaMA's, not for this mixture");
}

/* A tensor of a file: one of the model's, or some columns of it; transposed where layers of Llama
 * have matrices, which are (outputs, inputs). */
enum { NC_HLX__PARTS = 3 };
typedef struct nc_hlx__portion {
    nc_hlx__cursor x;
    uint32_t part;                /* which of its tensor's portions */
    size_t column, columns, rows; /* rows and columns of the model's tensor */
    int transposed;
} nc_hlx__portion;

/* Llama's names in the order of the model's tensors, then of their columns; all but lm_head.weight
 * behind "model.". */
static const struct {
    char name[42];
    uint8_t t, part;
} nc_hlx__llama_names[] = {{"embed_tokens.weight", NC_HLX__WTE, 0},
                           {"layers.%u.input_layernorm.weight", NC_HLX__LN1_W, 0},
                           {"layers.%u.self_attn.q_proj.weight", NC_HLX__QKV_W, 0},
                           {"layers.%u.self_attn.k_proj.weight", NC_HLX__QKV_W, 1},
                           {"layers.%u.self_attn.v_proj.weight", NC_HLX__QKV_W, 2},
                           {"layers.%u.self_attn.q_proj.bias", NC_HLX__QKV_B, 0},
                           {"layers.%u.self_attn.k_proj.bias", NC_HLX__QKV_B, 1},
                           {"layers.%u.self_attn.v_proj.bias", NC_HLX__QKV_B, 2},
                           {"layers.%u.self_attn.o_proj.weight", NC_HLX__PROJ_W, 0},
                           {"layers.%u.self_attn.o_proj.bias", NC_HLX__PROJ_B, 0},
                           {"layers.%u.post_attention_layernorm.weight", NC_HLX__LN2_W, 0},
                           {"layers.%u.mlp.gate_proj.weight", NC_HLX__FC_W, 0},
                           {"layers.%u.mlp.up_proj.weight", NC_HLX__FC_W, 1},
                           {"layers.%u.mlp.gate_proj.bias", NC_HLX__FC_B, 0},
                           {"layers.%u.mlp.up_proj.bias", NC_HLX__FC_B, 1},
                           {"layers.%u.mlp.down_proj.weight", NC_HLX__OUT_W, 0},
                           {"layers.%u.mlp.down_proj.bias", NC_HLX__OUT_B, 0},
                           {"norm.weight", NC_HLX__LNF_W, 0},
                           {"lm_head.weight", NC_HLX__HEAD, 0}};

/* The name of a portion with %u for its layer, null where there is none. */
static const char *nc_hlx__form(const nc_hlx_config *c, int t, uint32_t part) {
    size_t i;
    if (!nc_hlx__is_llama(c)) return part ? NULL : nc_hlx__tensors[t].name;
    for (i = 0; i < sizeof nc_hlx__llama_names / sizeof *nc_hlx__llama_names; i++)
        if (nc_hlx__llama_names[i].t == t && nc_hlx__llama_names[i].part == part)
            return nc_hlx__llama_names[i].name;
    return NULL;
}

/* Where portion->part of its tensor stands. */
static void nc_hlx__place_portion(const nc_hlx_config *c, nc_hlx__portion *portion) {
    const int t = portion->x.t, llama = nc_hlx__is_llama(c);
    const nc_hlx_heads shape = nc_hlx__heads(c, 1, 1);
    const size_t q = shape.heads * shape.head_size;
    const size_t kv = nc_hlx__kv_heads(&shape) * shape.head_size;
    portion->column = 0;
    portion->columns = nc_hlx__dimension(c, nc_hlx__tensors[t].columns);
    portion->rows = nc_hlx__dimension(c, nc_hlx__tensors[t].rows);
    portion->transposed =
        llama && nc_hlx__is_layer_tensor(t) && nc_hlx__tensors[t].rows != NC_HLX__N_ONE;
    if (!llama) return;
    if (nc_hlx__tensors[t].columns == NC_HLX__N_QKV) {
        portion->column = portion->part == 0 ? 0 : q + (portion->part - 1) * kv;
        portion->columns = portion->part == 0 ? q : kv;
    } else if (nc_hlx__tensors[t].columns == NC_HLX__N_FC) {
        portion->column = portion->part * (size_t)c->ffn_dim;
        portion->columns = c->ffn_dim;
    }
}

/* The next portion in the order of the parameters; 0 after the last. */
static int nc_hlx__next_portion(const nc_hlx_model *model, nc_hlx__portion *portion) {
    const nc_hlx_config *c = &model->config;
    if (portion->x.t >= 0 && nc_hlx__form(c, portion->x.t, portion->part + 1)) {
        portion->part++;
    } else {
        if (!nc_hlx__next_tensor(model, &portion->x)) return 0;
        portion->part = 0;
    }
    nc_hlx__place_portion(c, portion);
    return 1;
}

static nc_hlx__portion nc_hlx__first_portion(void) {
    nc_hlx__portion portion;
    memset(&portion, 0, sizeof portion);
    portion.x = nc_hlx__first_tensor();
    return portion;
}

/* The name of a portion in a file. */
static void nc_hlx__name(char name[64], const nc_hlx_config *c, const nc_hlx__portion *portion) {
    const char *from = nc_hlx__form(c, portion->x.t, portion->part), *number = strchr(from, '%');
    const char *model = nc_hlx__is_llama(c) && portion->x.t != NC_HLX__HEAD ? "model." : "";
    if (number)
        snprintf(name, 64, "%s%.*s%u%s", model, (int)(number - from), from,
                 (unsigned)portion->x.layer, number + 2);
    else
        snprintf(name, 64, "%s%s", model, from);
}

/* Its shape there; returns the rank. */
static uint32_t nc_hlx__shape(const nc_hlx__portion *portion, uint64_t shape[2]) {
    const int vector = nc_hlx__tensors[portion->x.t].rows == NC_HLX__N_ONE;
    shape[0] = vector || portion->transposed ? portion->columns : portion->rows;
    shape[1] = portion->transposed ? portion->rows : portion->columns;
    return vector ? 1 : 2;
}

/* Values of a portion in the order of a file. */
static void nc_hlx__portion_values(const nc_hlx_model *model, const nc_hlx__portion *portion,
                                   float *to) {
    const size_t rows = portion->rows, width = portion->x.size / rows;
    const float *from = model->parameters + portion->x.at + portion->column;
    size_t r, i;
    for (r = 0; r < rows; r++)
        for (i = 0; i < portion->columns; i++)
            to[portion->transposed ? i * rows + r : r * portion->columns + i] = from[r * width + i];
}

/* Header and values of a file, which are the parameters as they stand or, for Llama and where the
 * bytes of a word have another order, a copy. */
static nc_status nc_hlx__write_weights(const nc_hlx_model *model, const char *path,
                                       const nc__buffer *header, nc_error *err) {
    const nc_allocator *hooks = nc_hlx__hooks(model);
    const size_t total = model->layout.total, bytes = total * sizeof(float);
    const int copied = nc_hlx__is_llama(&model->config) || !nc_hlx__has_file_order();
    float *values = copied ? (float *)nc__alloc(hooks, bytes) : model->parameters;
    nc_hlx__portion portion = nc_hlx__first_portion();
    nc__span spans[2];
    size_t at = 0;
    nc_status status;
    if (!values) return nc__fail(err, NC_ERR_MEMORY, 0, 0, "out of memory");
    for (; copied && nc_hlx__next_portion(model, &portion); at += portion.rows * portion.columns)
        nc_hlx__portion_values(model, &portion, values + at);
    spans[0].data = header->data;
    spans[0].bytes = header->used;
    spans[1].data = values;
    spans[1].bytes = bytes;
    if (copied) nc_hlx__file_order(values, total);
    status = nc__file_write(path, spans, 2, err);
    if (copied) nc__free(hooks, values, bytes);
    return status;
}

/* The parameters, each of GPT-2's names behind a prefix. */
static nc_status nc_hlx__export(const nc_hlx_model *model, const char *path, const char *prefix,
                                nc_error *err) {
    const nc_hlx_config *c = &model->config;
    nc_hlx__portion portion = nc_hlx__first_portion();
    char text[80];
    uint64_t shape[2];
    nc__head head;
    nc_status status = nc_hlx__nameable(c, err);
    if (status != NC_OK) return status;
    nc__head_open(&head, nc_hlx__hooks(model));
    nc__head_pair(&head, "format", "pt");
    snprintf(text, sizeof text, "%u", (unsigned)c->num_heads);
    nc__head_pair(&head, "n_head", text);
    while (nc_hlx__next_portion(model, &portion)) {
        const uint32_t rank = nc_hlx__shape(&portion, shape);
        const size_t n = portion.x.t == NC_HLX__HEAD || nc_hlx__is_llama(c) ? 0 : strlen(prefix);
        memcpy(text, prefix, n);
        nc_hlx__name(text + n, c, &portion);
        nc__head_tensor(&head, text, "F32", shape, rank);
    }
    status = nc__head_close(&head);
    if (status != NC_OK)
        (void)nc__fail(err, status, 0, 0, "out of memory");
    else
        status = nc_hlx__write_weights(model, path, &head.b, err);
    nc__buffer_free(&head.b);
    return status;
}

NC_API nc_status nc_hlx_export(const nc_hlx_model *model, const char *path, nc_error *err) {
    nc__clear(err);
    if (!model || !path) return nc__fail(err, NC_ERR_ARG, 0, 0, "no model or no path");
    return nc_hlx__export(model, path, "", err);
}

/* `name` in the folder or, with bytes of it, beside a file: a path that ends with NUL; null
 * without memory. */
static const char *nc_hlx__path(nc__buffer *to, const char *folder, size_t bytes,
                                const char *name) {
    to->used = 0;
    nc__buffer_put(to, folder, bytes);
    if (bytes && !nc__ends_folder(folder[bytes - 1])) nc__buffer_put(to, "/", 1);
    nc__buffer_put(to, name, strlen(name) + 1);
    return to->status == NC_OK ? to->data : NULL;
}

/* The shortest decimal that is read as this float. */
static void nc_hlx__put_float(nc__buffer *b, float value) {
    char text[32];
    int digits = 5;
    do (void)snprintf(text, sizeof text, "%.*g", ++digits, (double)value);
    while (digits < 9 && (float)strtod(text, NULL) != value);
    nc__buffer_real(b, (double)value, digits);
}

/* What transformers' GPT2Config calls the model's parts. */
static void nc_hlx__put_gpt2_config(nc__buffer *b, const nc_hlx_config *c) {
    nc__buffer_print(b, "{\n  \"architectures\": [\"GPT2LMHeadModel\"],\n"
                        "  \"model_type\": \"gpt2\",\n");
    nc__buffer_print(b, "  \"vocab_size\": %u,\n  \"n_positions\": %u,\n  \"n_embd\": %u,\n",
                     (unsigned)c->vocab_size, (unsigned)c->max_seq_len, (unsigned)c->d_model);
    nc__buffer_print(b, "  \"n_layer\": %u,\n  \"n_head\": %u,\n  \"n_inner\": %u,\n",
                     (unsigned)c->num_layers, (unsigned)c->num_heads, (unsigned)c->ffn_dim);
    nc__buffer_print(b, "  \"activation_function\": \"%s\",\n",
                     c->activation == NC_HLX_SILU ? "silu" : "gelu_new");
    nc__buffer_print(b, "  \"layer_norm_epsilon\": ");
    nc_hlx__put_float(b, nc_hlx__norm_eps(c));
    nc__buffer_print(b, ",\n  \"attn_pdrop\": 0.0,\n  \"embd_pdrop\": ");
    nc_hlx__put_float(b, c->dropout);
    nc__buffer_print(b, ",\n  \"resid_pdrop\": ");
    nc_hlx__put_float(b, c->dropout);
}

/* What transformers' LlamaConfig, or Qwen2Config, calls the model's parts. */
static void nc_hlx__put_llama_config(nc__buffer *b, const nc_hlx_config *c) {
    const int qwen2 = c->biases == NC_HLX_BIASES_QKV;
    const char *bias = c->biases == NC_HLX_BIASES_ALL ? "true" : "false";
    nc__buffer_print(b, "{\n  \"architectures\": [\"%sForCausalLM\"],\n  \"model_type\": \"%s\",\n",
                     qwen2 ? "Qwen2" : "Llama", qwen2 ? "qwen2" : "llama");
    nc__buffer_print(
        b, "  \"vocab_size\": %u,\n  \"max_position_embeddings\": %u,\n  \"hidden_size\": %u,\n",
        (unsigned)c->vocab_size, (unsigned)c->max_seq_len, (unsigned)c->d_model);
    nc__buffer_print(b,
                     "  \"num_hidden_layers\": %u,\n  \"num_attention_heads\": %u,\n"
                     "  \"num_key_value_heads\": %u,\n  \"head_dim\": %u,\n"
                     "  \"intermediate_size\": %u,\n",
                     (unsigned)c->num_layers, (unsigned)c->num_heads,
                     (unsigned)(c->num_kv_heads ? c->num_kv_heads : c->num_heads),
                     (unsigned)nc_hlx__head_size(c), (unsigned)c->ffn_dim);
    nc__buffer_print(b, "  \"hidden_act\": \"%s\",\n  \"rms_norm_eps\": ",
                     c->activation == NC_HLX_SILU ? "silu" : "gelu_pytorch_tanh");
    nc_hlx__put_float(b, nc_hlx__norm_eps(c));
    if (!qwen2) nc__buffer_print(b, ",\n  \"attention_bias\": %s,\n  \"mlp_bias\": %s", bias, bias);
    nc__buffer_print(b, ",\n  \"attention_dropout\": 0.0,\n  \"rope_theta\": ");
    nc_hlx__put_float(b, c->rope_theta > 0.0f ? c->rope_theta : 10000.0f);
    nc__buffer_print(b, ",\n  \"rope_scaling\": ");
    if (c->rope_original) {
        nc__buffer_print(b, "{\"rope_type\": \"llama3\", \"factor\": ");
        nc_hlx__put_float(b, c->rope_factor);
        nc__buffer_print(b, ", \"low_freq_factor\": ");
        nc_hlx__put_float(b, c->rope_low);
        nc__buffer_print(b, ", \"high_freq_factor\": ");
        nc_hlx__put_float(b, c->rope_high);
        nc__buffer_print(b, ", \"original_max_position_embeddings\": %u}",
                         (unsigned)c->rope_original);
    } else {
        nc__buffer_print(b, "null");
    }
}

/* What transformers' configurations call the model's parts; ids of special tokens are nobody's. */
static void nc_hlx__put_config(nc__buffer *b, const nc_hlx_config *c) {
    if (nc_hlx__is_llama(c))
        nc_hlx__put_llama_config(b, c);
    else
        nc_hlx__put_gpt2_config(b, c);
    nc__buffer_print(b,
                     ",\n  \"tie_word_embeddings\": %s,\n  \"bos_token_id\": null,\n"
                     "  \"eos_token_id\": null,\n  \"torch_dtype\": \"float32\"\n}\n",
                     c->tied_output ? "true" : "false");
}

static int nc_hlx__is_file(const char *path) {
    FILE *file = fopen(path, "rb");
    return file && fclose(file) == 0;
}

/* Whether a path is something that can be read, and no folder. A pipe is not opened for that: its
 * writer would wait, or lose a byte. */
static int nc_hlx__is_plain(const char *path) {
#if defined(NC__POSIX_FILES)
    struct stat info;
    return stat(path, &info) == 0 && !S_ISDIR(info.st_mode);
#else
    FILE *file = fopen(path, "rb");
    const int plain = file && (fgetc(file) != EOF || !ferror(file));
    if (file) (void)fclose(file);
    return plain;
#endif
}

/* Whether a model can go into a folder; path is memory for names. */
static nc_status nc_hlx__check_folder(const char *folder, nc__buffer *path, nc_error *err) {
    const char *index = nc_hlx__path(path, folder, strlen(folder), "model.safetensors.index.json");
    if (!index) return nc__fail(err, NC_ERR_MEMORY, 0, 0, "out of memory");
    if (nc_hlx__is_plain(folder))
        return nc__fail(err, NC_ERR_ARG, 0, 0, "'%.100s' is a file, not a folder", folder);
    if (nc_hlx__is_file(index))
        return nc__fail(err, NC_ERR_ARG, 0, 0,
                        "'%.60s' has a model in shards: remove them and "
                        "model.safetensors.index.json, or take another folder",
                        folder);
    return NC_OK;
}

NC_API nc_status nc_hlx_export_folder(const nc_hlx_model *model, const char *folder,
                                      nc_error *err) {
    nc__buffer path, text;
    nc__span span;
    const char *at;
    nc_status status;
    nc__clear(err);
    if (!model || !folder || !*folder)
        return nc__fail(err, NC_ERR_ARG, 0, 0, "no model or no folder");
    status = nc_hlx__nameable(&model->config, err);
    if (status != NC_OK) return status;
    memset(&path, 0, sizeof path);
    path.hooks = nc_hlx__hooks(model);
    text = path;
    status = nc_hlx__check_folder(folder, &path, err);
    if (status == NC_OK) {
        nc_hlx__put_config(&text, &model->config);
        at = nc_hlx__path(&path, folder, strlen(folder), "model.safetensors");
        status = at && text.status == NC_OK ? nc_hlx__export(model, at, "transformer.", err)
                                            : nc__fail(err, NC_ERR_MEMORY, 0, 0, "out of memory");
    }
    if (status == NC_OK) {
        span.data = text.data;
        span.bytes = text.used;
        at = nc_hlx__path(&path, folder, strlen(folder), "config.json");
        status = at ? nc__file_write(at, &span, 1, err)
                    : nc__fail(err, NC_ERR_MEMORY, 0, 0, "out of memory");
    }
    nc__buffer_free(&path);
    nc__buffer_free(&text);
    return status;
}

/* -- configurations: config.json of transformers -- */

/* What a config.json says beside the configuration. */
typedef struct nc_hlx__described {
    nc_hlx_config c;
    const char *type;         /* model_type */
    uint32_t context, window; /* n_ctx; sliding_window, 0: none */
    uint32_t windowed;        /* use_sliding_window */
    uint32_t bias, wide_bias; /* attention_bias, mlp_bias */
} nc_hlx__described;

/* How a member's value is taken: SKIP, it changes no logit (training, generation, other heads);
 * TRUE and FALSE, only so is it computed here; REAL, above 0; ABOVE_0 a number, OR_NULL, where null
 * is its default. TYPE has been read. */
enum {
    NC_HLX__C_SKIP,
    NC_HLX__C_TYPE,
    NC_HLX__C_TRUE,
    NC_HLX__C_FALSE,
    NC_HLX__C_EMPTY,
    NC_HLX__C_FLAG,
    NC_HLX__C_ABOVE_0,
    NC_HLX__C_OR_NULL,
    NC_HLX__C_REAL,
    NC_HLX__C_ACTIVATION,
    NC_HLX__C_ROPE,
    NC_HLX__C_LAYERS
};
enum { NC_HLX__C_GPT2 = 1, NC_HLX__C_LLAMA = 2, NC_HLX__C_BOTH = 3 };

/* X(name, models that have it, how, member of nc_hlx__described). */
#define NC_HLX__CONFIG_LIST(X)                                                                     \
    X("model_type", BOTH, TYPE, type)                                                              \
    X("vocab_size", BOTH, ABOVE_0, c.vocab_size)                                                   \
    X("tie_word_embeddings", BOTH, FLAG, c.tied_output)                                            \
    X("n_positions", GPT2, ABOVE_0, c.max_seq_len)                                                 \
    X("n_ctx", GPT2, ABOVE_0, context)                                                             \
    X("n_embd", GPT2, ABOVE_0, c.d_model)                                                          \
    X("n_layer", GPT2, ABOVE_0, c.num_layers)                                                      \
    X("n_head", GPT2, ABOVE_0, c.num_heads)                                                        \
    X("n_inner", GPT2, OR_NULL, c.ffn_dim)                                                         \
    X("activation_function", GPT2, ACTIVATION, c.activation)                                       \
    X("layer_norm_epsilon", GPT2, REAL, c.norm_eps)                                                \
    X("scale_attn_weights", GPT2, TRUE, type)                                                      \
    X("scale_attn_by_inverse_layer_idx", GPT2, FALSE, type)                                        \
    X("max_position_embeddings", LLAMA, ABOVE_0, c.max_seq_len)                                    \
    X("hidden_size", LLAMA, ABOVE_0, c.d_model)                                                    \
    X("num_hidden_layers", LLAMA, ABOVE_0, c.num_layers)                                           \
    X("num_attention_heads", LLAMA, ABOVE_0, c.num_heads)                                          \
    X("num_key_value_heads", LLAMA, OR_NULL, c.num_kv_heads)                                       \
    X("head_dim", LLAMA, OR_NULL, c.head_size)                                                     \
    X("intermediate_size", LLAMA, ABOVE_0, c.ffn_dim)                                              \
    X("hidden_act", LLAMA, ACTIVATION, c.activation)                                               \
    X("rms_norm_eps", LLAMA, REAL, c.norm_eps)                                                     \
    X("rope_theta", LLAMA, REAL, c.rope_theta)                                                     \
    X("rope_scaling", LLAMA, ROPE, type)                                                           \
    X("rope_parameters", LLAMA, ROPE, type)                                                        \
    X("rope_interleaved", LLAMA, FALSE, type)                                                      \
    X("use_mrope", LLAMA, FALSE, type)                                                             \
    X("is_llama_config", LLAMA, TRUE, type)                                                        \
    X("attention_bias", LLAMA, FLAG, bias)                                                         \
    X("mlp_bias", LLAMA, FLAG, wide_bias)                                                          \
    X("sliding_window", LLAMA, OR_NULL, window)                                                    \
    X("use_sliding_window", LLAMA, FLAG, windowed)                                                 \
    X("max_window_layers", LLAMA, SKIP, type)                                                      \
    X("layer_types", LLAMA, LAYERS, type)                                                          \
    X("add_cross_attention", BOTH, FALSE, type)                                                    \
    X("is_encoder_decoder", BOTH, FALSE, type)                                                     \
    X("pruned_heads", BOTH, EMPTY, type)                                                           \
    X("_attn_implementation_autoset", BOTH, SKIP, type)                                            \
    X("_name_or_path", BOTH, SKIP, type)                                                           \
    X("_num_labels", BOTH, SKIP, type)                                                             \
    X("architectures", BOTH, SKIP, type)                                                           \
    X("attention_dropout", BOTH, SKIP, type)                                                       \
    X("attn_implementation", BOTH, SKIP, type)                                                     \
    X("attn_pdrop", BOTH, SKIP, type)                                                              \
    X("bad_words_ids", BOTH, SKIP, type)                                                           \
    X("begin_suppress_tokens", BOTH, SKIP, type)                                                   \
    X("bos_token_id", BOTH, SKIP, type)                                                            \
    X("chunk_size_feed_forward", BOTH, SKIP, type)                                                 \
    X("cross_attention_hidden_size", BOTH, SKIP, type)                                             \
    X("decoder_start_token_id", BOTH, SKIP, type)                                                  \
    X("diversity_penalty", BOTH, SKIP, type)                                                       \
    X("do_sample", BOTH, SKIP, type)                                                               \
    X("dtype", BOTH, SKIP, type)                                                                   \
    X("early_stopping", BOTH, SKIP, type)                                                          \
    X("embd_pdrop", BOTH, SKIP, type)                                                              \
    X("encoder_no_repeat_ngram_size", BOTH, SKIP, type)                                            \
    X("eos_token_id", BOTH, SKIP, type)                                                            \
    X("eos_token_ids", BOTH, SKIP, type)                                                           \
    X("exponential_decay_length_penalty", BOTH, SKIP, type)                                        \
    X("finetuning_task", BOTH, SKIP, type)                                                         \
    X("forced_bos_token_id", BOTH, SKIP, type)                                                     \
    X("forced_eos_token_id", BOTH, SKIP, type)                                                     \
    X("gradient_checkpointing", BOTH, SKIP, type)                                                  \
    X("id2label", BOTH, SKIP, type)                                                                \
    X("initializer_range", BOTH, SKIP, type)                                                       \
    X("is_decoder", BOTH, SKIP, type)                                                              \
    X("label2id", BOTH, SKIP, type)                                                                \
    X("length_penalty", BOTH, SKIP, type)                                                          \
    X("max_length", BOTH, SKIP, type)                                                              \
    X("min_length", BOTH, SKIP, type)                                                              \
    X("n_special", BOTH, SKIP, type)                                                               \
    X("no_repeat_ngram_size", BOTH, SKIP, type)                                                    \
    X("num_beam_groups", BOTH, SKIP, type)                                                         \
    X("num_beams", BOTH, SKIP, type)                                                               \
    X("num_labels", BOTH, SKIP, type)                                                              \
    X("num_return_sequences", BOTH, SKIP, type)                                                    \
    X("output_attentions", BOTH, SKIP, type)                                                       \
    X("output_hidden_states", BOTH, SKIP, type)                                                    \
    X("output_past", BOTH, SKIP, type)                                                             \
    X("output_scores", BOTH, SKIP, type)                                                           \
    X("pad_token_id", BOTH, SKIP, type)                                                            \
    X("predict_special_tokens", BOTH, SKIP, type)                                                  \
    X("prefix", BOTH, SKIP, type)                                                                  \
    X("pretraining_tp", BOTH, SKIP, type)                                                          \
    X("problem_type", BOTH, SKIP, type)                                                            \
    X("remove_invalid_values", BOTH, SKIP, type)                                                   \
    X("reorder_and_upcast_attn", BOTH, SKIP, type)                                                 \
    X("repetition_penalty", BOTH, SKIP, type)                                                      \
    X("resid_pdrop", BOTH, SKIP, type)                                                             \
    X("return_dict", BOTH, SKIP, type)                                                             \
    X("return_dict_in_generate", BOTH, SKIP, type)                                                 \
    X("sep_token_id", BOTH, SKIP, type)                                                            \
    X("summary_activation", BOTH, SKIP, type)                                                      \
    X("summary_first_dropout", BOTH, SKIP, type)                                                   \
    X("summary_proj_to_labels", BOTH, SKIP, type)                                                  \
    X("summary_type", BOTH, SKIP, type)                                                            \
    X("summary_use_proj", BOTH, SKIP, type)                                                        \
    X("suppress_tokens", BOTH, SKIP, type)                                                         \
    X("task_specific_params", BOTH, SKIP, type)                                                    \
    X("temperature", BOTH, SKIP, type)                                                             \
    X("tf_legacy_loss", BOTH, SKIP, type)                                                          \
    X("tie_encoder_decoder", BOTH, SKIP, type)                                                     \
    X("tokenizer_class", BOTH, SKIP, type)                                                         \
    X("top_k", BOTH, SKIP, type)                                                                   \
    X("top_p", BOTH, SKIP, type)                                                                   \
    X("torch_dtype", BOTH, SKIP, type)                                                             \
    X("torchscript", BOTH, SKIP, type)                                                             \
    X("transformers.js_config", BOTH, SKIP, type)                                                  \
    X("transformers_version", BOTH, SKIP, type)                                                    \
    X("typical_p", BOTH, SKIP, type)                                                               \
    X("unsloth_version", BOTH, SKIP, type)                                                         \
    X("use_bfloat16", BOTH, SKIP, type)                                                            \
    X("use_cache", BOTH, SKIP, type)                                                               \
    X("xla_device", BOTH, SKIP, type)

#define NC_HLX__NAME(name, models, how, member) name,
static const char *const nc_hlx__config_names[] = {NC_HLX__CONFIG_LIST(NC_HLX__NAME)};
#undef NC_HLX__NAME

#define NC_HLX__ROW(name, models, how, member)                                                     \
    {NC_HLX__C_##models, NC_HLX__C_##how, (uint16_t)offsetof(nc_hlx__described, member)},
static const struct {
    uint8_t models, how;
    uint16_t at;
} nc_hlx__config_rows[] = {NC_HLX__CONFIG_LIST(NC_HLX__ROW)};
#undef NC_HLX__ROW

enum { NC_HLX__CONFIG_NAMES = sizeof nc_hlx__config_names / sizeof *nc_hlx__config_names };
typedef char nc_hlx__config_names_fit[NC_HLX__CONFIG_NAMES <= 128 ? 1 : -1];

/* true or false. */
static uint32_t nc_hlx__flag(nc__text *t) {
    int c;
    nc__json_space(t);
    c = nc__peek(t, 0);
    nc__json_skip_word(t);
    if (t->status == NC_OK && c != 't' && c != 'f')
        (void)nc__text_fail(t, NC_ERR_FORMAT, "expected true or false");
    return c == 't';
}

/* A string that must be one of these names. */
static size_t nc_hlx__take_name(nc__text *t, const char *key, const char *const *names, size_t n) {
    char text[32];
    size_t i;
    (void)nc__json_string(t, text, sizeof text);
    for (i = 0; i < n; i++)
        if (t->status == NC_OK && !strcmp(text, names[i])) return i;
    if (t->status == NC_OK)
        (void)nc__text_fail(t, NC_ERR_UNSUPPORTED, "%s '%s' is not computed here", key, text);
    return 0;
}

/* A number above 0, which means a default in nc_hlx_config. */
static float nc_hlx__take_real(nc__text *t, const char *key) {
    double value;
    nc__json_space(t);
    value = nc__text_real(t);
    if (t->status == NC_OK && !((float)value > 0.0f))
        (void)nc__text_fail(t, NC_ERR_UNSUPPORTED, "%s %g is not above 0", key, value);
    return (float)value;
}

static uint32_t nc_hlx__take_activation(nc__text *t, const char *key) {
    static const char *const names[] = {"gelu_new", "gelu_pytorch_tanh", "silu", "swish"};
    return nc_hlx__take_name(t, key, names, 4) < 2 ? NC_HLX_GELU : NC_HLX_SILU;
}

/* Whether null stands here, which is passed over. */
static int nc_hlx__null(nc__text *t) {
    nc__json_space(t);
    if (nc__peek(t, 0) != 'n') return 0;
    nc__json_skip_word(t);
    return 1;
}

/* rope_scaling, or rope_parameters since transformers 5: null or an object. */
static void nc_hlx__take_rope(nc__text *t, nc_hlx_config *c) {
    static const char *const types[] = {"default", "llama3"};
    static const char *const names[] = {"rope_theta",
                                        "factor",
                                        "low_freq_factor",
                                        "high_freq_factor",
                                        "original_max_position_embeddings",
                                        "rope_type",
                                        "type"};
    float *const reals[] = {&c->rope_theta, &c->rope_factor, &c->rope_low, &c->rope_high};
    nc_hlx__object o;
    size_t type = 0, k;
    if (nc_hlx__null(t)) return;
    nc_hlx__object_open(t, &o, "rotary positions", "", names, 7);
    while (nc_hlx__object_next(t, &o, &k)) {
        if (k < 4)
            *reals[k] = nc_hlx__take_real(t, names[k]);
        else if (k == 4)
            c->rope_original = (uint32_t)nc__json_natural(t, UINT32_MAX);
        else
            type = nc_hlx__take_name(t, names[k], types, 2);
    }
    if (t->status == NC_OK && type == 0 && (c->rope_original || c->rope_factor > 0.0f))
        (void)nc__text_fail(t, NC_ERR_UNSUPPORTED, "scaled rotary positions without a rope_type");
    if (t->status == NC_OK && type == 1 && !c->rope_original)
        (void)nc__text_fail(t, NC_ERR_FORMAT, "llama3 without original_max_position_embeddings");
}

/* An array of "full_attention" for every layer. */
static void nc_hlx__take_layer_types(nc__text *t) {
    static const char *const full = "full_attention";
    int first = 1;
    if (nc_hlx__null(t)) return;
    nc__json_expect(t, '[');
    while (nc__json_more(t, ']', &first)) {
        nc__json_space(t);
        (void)nc_hlx__take_name(t, "layer_types", &full, 1);
    }
}

/* An object without members, or null. */
static void nc_hlx__take_empty(nc__text *t, const char *key) {
    if (nc_hlx__null(t)) return;
    nc__json_expect(t, '{');
    if (t->status == NC_OK && !nc__json_take(t, '}'))
        (void)nc__text_fail(t, NC_ERR_UNSUPPORTED, "%s other than {} is not computed here", key);
}

/* The value of member k. */
static void nc_hlx__take_member(nc__text *t, size_t k, nc_hlx__described *d) {
    const char *key = nc_hlx__config_names[k];
    const uint8_t how = nc_hlx__config_rows[k].how;
    char *member = (char *)d + nc_hlx__config_rows[k].at;
    uint32_t number = 0;
    float real;
    nc__json_space(t);
    switch (how) {
    case NC_HLX__C_TRUE:
    case NC_HLX__C_FALSE:
        if (nc_hlx__flag(t) != (how == NC_HLX__C_TRUE))
            (void)nc__text_fail(t, NC_ERR_UNSUPPORTED, "%s other than %s is not computed here", key,
                                how == NC_HLX__C_TRUE ? "true" : "false");
        return;
    case NC_HLX__C_EMPTY: nc_hlx__take_empty(t, key); return;
    case NC_HLX__C_ROPE: nc_hlx__take_rope(t, &d->c); return;
    case NC_HLX__C_LAYERS: nc_hlx__take_layer_types(t); return;
    case NC_HLX__C_REAL:
        real = nc_hlx__take_real(t, key);
        memcpy(member, &real, sizeof real);
        return;
    case NC_HLX__C_FLAG: number = nc_hlx__flag(t); break;
    case NC_HLX__C_ACTIVATION: number = nc_hlx__take_activation(t, key); break;
    case NC_HLX__C_OR_NULL:
    case NC_HLX__C_ABOVE_0:
        if (how == NC_HLX__C_OR_NULL && nc_hlx__null(t)) break;
        number = (uint32_t)nc__json_natural(t, (1 << 20) - 1);
        if (t->status == NC_OK && !number) (void)nc__text_fail(t, NC_ERR_FORMAT, "%s is 0", key);
        break;
    default: nc__json_skip(t); return;
    }
    memcpy(member, &number, sizeof number);
}

/* The model_type, before members of other models are called unknown. */
static const char *nc_hlx__check_type(nc__text *t) {
    static const char *const types[] = {"gpt2", "llama", "mistral", "qwen2"};
    nc__text ahead = *t;
    const char *type = NULL;
    int first = 1;
    nc__json_expect(&ahead, '{');
    while (nc__json_more(&ahead, '}', &first)) {
        char key[16], text[32];
        const size_t length = nc__json_string(&ahead, key, sizeof key);
        size_t i;
        nc__json_expect(&ahead, ':');
        if (length >= sizeof key || strcmp(key, "model_type") != 0) {
            nc__json_skip(&ahead);
            continue;
        }
        (void)nc__json_string(&ahead, text, sizeof text);
        for (i = 0; i < 4 && ahead.status == NC_OK; i++)
            if (!strcmp(text, types[i])) type = types[i];
        if (ahead.status == NC_OK && !type)
            (void)nc__text_fail(&ahead, NC_ERR_UNSUPPORTED,
                                "model_type '%s': only gpt2, llama, mistral and qwen2 are read",
                                text);
    }
    if (!type)
        (void)nc__text_fail(&ahead, NC_ERR_UNSUPPORTED,
                            "no model_type: only gpt2, llama, mistral and qwen2 are read");
    t->status = ahead.status;
    return type;
}

/* What transformers takes where a file says nothing. */
static void nc_hlx__type_defaults(nc_hlx__described *d, const char *type) {
    nc_hlx_config *c = &d->c;
    memset(d, 0, sizeof *d);
    d->type = type;
    c->batch_size = 1;
    c->vocab_size = 50257;
    c->max_seq_len = 1024;
    c->d_model = 768;
    c->num_layers = c->num_heads = 12;
    c->tied_output = 1;
    if (!type || !strcmp(type, "gpt2")) return;
    c->rms_norm = c->rotary = c->gated_ffn = 1;
    c->activation = NC_HLX_SILU;
    c->norm_eps = 1e-6f;
    c->tied_output = 0;
    c->vocab_size = 32000;
    c->max_seq_len = 2048;
    c->d_model = 4096;
    c->num_layers = c->num_heads = 32;
    c->ffn_dim = 11008;
    if (!strcmp(type, "mistral")) {
        c->max_seq_len = 131072;
        c->ffn_dim = 14336;
        c->num_kv_heads = 8;
        d->window = 4096;
        d->windowed = 1;
    } else if (!strcmp(type, "qwen2")) {
        c->vocab_size = 151936;
        c->max_seq_len = 32768;
        c->ffn_dim = 22016;
    }
}

/* What only the whole file tells. */
static void nc_hlx__check_members(nc__text *t, nc_hlx__described *d) {
    nc_hlx_config *c = &d->c;
    if (!c->rotary && !c->ffn_dim) c->ffn_dim = 4 * c->d_model;
    if (c->rotary) c->biases = d->bias ? NC_HLX_BIASES_ALL : NC_HLX_BIASES_NONE;
    if (c->rotary && !strcmp(d->type, "qwen2")) c->biases = NC_HLX_BIASES_QKV;
    if (d->bias != d->wide_bias)
        (void)nc__text_fail(t, NC_ERR_UNSUPPORTED,
                            "attention_bias and mlp_bias that differ are not computed here");
    else if (d->windowed && d->window && d->window < c->max_seq_len)
        (void)nc__text_fail(t, NC_ERR_UNSUPPORTED,
                            "sliding_window %u below max_position_embeddings %u",
                            (unsigned)d->window, (unsigned)c->max_seq_len);
    else if (d->context && d->context != c->max_seq_len)
        (void)nc__text_fail(t, NC_ERR_UNSUPPORTED, "n_ctx %u is not n_positions %u",
                            (unsigned)d->context, (unsigned)c->max_seq_len);
    else if (!(c->norm_eps < 1.0f))
        (void)nc__text_fail(t, NC_ERR_LIMIT, "%s %g is not below 1",
                            c->rotary ? "rms_norm_eps" : "layer_norm_epsilon", (double)c->norm_eps);
    else if (nc_hlx__complete(c, c) != NC_OK)
        (void)nc__text_fail(t, NC_ERR_LIMIT,
                            "%s %u with %s %u, or a size or a number beyond the limits",
                            c->rotary ? "hidden_size" : "n_embd", (unsigned)c->d_model,
                            c->rotary ? "num_attention_heads" : "n_head", (unsigned)c->num_heads);
}

/* The text of a config.json. */
static nc_status nc_hlx__parse_config(nc__text *t, nc_hlx_config *config) {
    nc_hlx__described d;
    nc_hlx__object o;
    size_t k;
    nc_hlx__type_defaults(&d, nc_hlx__check_type(t));
    nc_hlx__object_open(t, &o, "the configuration", "; remove it if it changes no logit",
                        nc_hlx__config_names, NC_HLX__CONFIG_NAMES);
    while (nc_hlx__object_next(t, &o, &k)) {
        if (nc_hlx__config_rows[k].models & (d.c.rotary ? NC_HLX__C_LLAMA : NC_HLX__C_GPT2))
            nc_hlx__take_member(t, k, &d);
        else
            nc_hlx__unknown(t, &o, nc_hlx__config_names[k]);
    }
    nc__json_space(t);
    if (t->at < t->end) (void)nc__text_fail(t, NC_ERR_FORMAT, "text after the configuration");
    if (t->status == NC_OK) nc_hlx__check_members(t, &d);
    if (t->status == NC_OK) *config = d.c;
    return t->status;
}

/* -- files by their first bytes: llm.c's models, and what is none that is read here -- */

static int nc_hlx__is_llmc(const nc_hlx_file *file) {
    return file->bytes >= NC_HLX__LLMC_BYTES && nc__get_le(file->data, 4) == NC_HLX__LLMC_MODEL;
}

/* Files of models in other formats, by name. */
static nc_status nc_hlx__check_kind(const nc_hlx_file *file, nc_error *err) {
    static const struct {
        char first[9];
        uint8_t n;
        const char *says;
    } kinds[] = {{"PK\3\4", 4,
                  "a pickle of PyTorch: give its tensors (of nanoGPT's ckpt.pt too) GPT-2's names "
                  "and shapes and write them with safetensors.torch.save_file"},
                 {"\x80\2", 2,
                  "an old pickle of PyTorch: write its tensors with safetensors.torch.save_file"},
                 {"GGUF", 4, "GGUF, not safetensors"},
                 {"NCHLXCKP", 8, "a checkpoint of nc_hlx.h, not weights: load it"},
                 {"\xC7\xD7\x34\1" /* 20240327 */, 4, "a state of llm.c's tests, no model"},
                 {"\x8F\xD8\x34\1" /* 20240527 */, 4,
                  "a state of llm.c's training: its model is the file that begins with "
                  "model_"},
                 {"\xA3\xD9\x34\1" /* 20240803 */, 4,
                  "a Llama of llm.c, whose folder from Hugging Face is read instead"}};
    size_t i;
    if (file->bytes < 9 || file->data[8] == '{') return NC_OK; /* safetensors of any length */
    for (i = 0; i < sizeof kinds / sizeof *kinds; i++)
        if (!memcmp(file->data, kinds[i].first, kinds[i].n))
            return nc__fail(err, NC_ERR_UNSUPPORTED, 0, 0, "this is %s", kinds[i].says);
    return NC_OK;
}

/* The header of llm.c's GPT-2 (train_gpt2.py, write_model): version, context, vocabulary, layers,
 * heads, width, rows of the padded vocabulary. *width gets the bytes of a value. */
static nc_status nc_hlx__llmc_config(const nc_hlx_file *file, nc_hlx_config *c, uint32_t *padded,
                                     size_t *width, nc_error *err) {
    uint32_t word[8], i;
    nc_hlx__layout layout;
    for (i = 0; i < 8; i++) word[i] = (uint32_t)nc__get_le(file->data + 4 * i, 4);
    if (word[1] != 3 && word[1] != 5)
        return nc__fail(err, NC_ERR_UNSUPPORTED, 0, 0,
                        "a model of llm.c of version %u: 3 (float32) and 5 (bfloat16) are read",
                        (unsigned)word[1]);
    *width = word[1] == 3 ? 4 : 2;
    memset(c, 0, sizeof *c);
    c->batch_size = c->tied_output = 1;
    c->max_seq_len = word[2];
    c->num_layers = word[4];
    c->num_heads = word[5];
    c->d_model = word[6];
    c->ffn_dim = 4 * (c->d_model & 0xFFFFF);
    c->vocab_size = *padded = word[7];
    if (!word[2] || !word[3] || !word[4] || !word[5] || !word[6] || word[3] > word[7] ||
        nc_hlx__complete(c, c) != NC_OK)
        return nc__fail(err, NC_ERR_FORMAT, 0, 0,
                        "llm.c's header says %u layers, width %u, %u heads, %u of %u tokens, "
                        "context %u",
                        (unsigned)word[4], (unsigned)word[6], (unsigned)word[5], (unsigned)word[3],
                        (unsigned)word[7], (unsigned)word[2]);
    nc_hlx__make_layout(c, &layout);
    if ((file->bytes - NC_HLX__LLMC_BYTES) / *width != layout.total ||
        (file->bytes - NC_HLX__LLMC_BYTES) % *width)
        return nc__fail(
            err, NC_ERR_FORMAT, 0, 0, "%llu bytes are not %llu values of %u behind 1024",
            (unsigned long long)file->bytes, (unsigned long long)layout.total, (unsigned)*width);
    c->vocab_size = word[3];
    return NC_OK;
}

static int nc_hlx__ends_with(const char *path, const char *end) {
    const size_t n = strlen(path), m = strlen(end);
    return n >= m && !strcmp(path + n - m, end);
}

static nc_status nc_hlx__read_config(nc_hlx_config *config, const nc_hlx_file *file,
                                     nc_error *err) {
    nc__text t;
    uint32_t padded;
    size_t width;
    nc_hlx_config c;
    nc_status status = nc_hlx__check_kind(file, err);
    if (status != NC_OK) return status;
    if (!nc_hlx__is_llmc(file)) {
        nc__text_open(&t, file->data, file->bytes, err);
        return nc_hlx__parse_config(&t, config);
    }
    status = nc_hlx__llmc_config(file, &c, &padded, &width, err);
    if (status == NC_OK) *config = c;
    return status;
}

NC_API nc_status nc_hlx_read_config(nc_hlx_config *config, const char *path, nc_error *err) {
    nc_hlx_file file;
    nc__buffer inside;
    const char *name;
    int beside;
    nc_status status;
    nc__clear(err);
    if (!config || !path) return nc__fail(err, NC_ERR_ARG, 0, 0, "no configuration or no path");
    memset(&inside, 0, sizeof inside);
    memset(&file, 0, sizeof file);
    beside = (nc_hlx__ends_with(path, ".safetensors") || nc_hlx__ends_with(path, ".index.json")) &&
             nc_hlx__is_plain(path);
    name =
        nc_hlx__path(&inside, path, beside ? nc__folder_bytes(path) : strlen(path), "config.json");
    if (name && !beside && !nc_hlx__is_file(name)) name = path;
    status = name ? nc_hlx_file_open(&file, name, err)
                  : nc__fail(err, NC_ERR_MEMORY, 0, 0, "out of memory");
    if (status == NC_OK) {
        status = nc_hlx__read_config(config, &file, err);
        nc_hlx_file_close(&file);
    }
    nc__buffer_free(&inside);
    return status;
}

/* -- what is read -- */

/* Where the values of one tensor of the model stand. */
typedef struct nc_hlx__stored {
    const uint8_t *data; /* null: not found */
    char dtype[16];
    uint64_t rows; /* those of the file */
    uint32_t shard;
    uint32_t listed;     /* by the index of the shards */
    uint32_t transposed; /* the matrix of a layer is (outputs, inputs) */
} nc_hlx__stored;

/* Files that are read together, mapped until all is taken over: nothing is copied twice. */
typedef struct nc_hlx__import {
    const nc_hlx_model *model;
    nc_hlx_import_options options;
    nc_hlx__stored *stored;           /* one a portion, by nc_hlx__stream_of and part */
    size_t bytes, found, listed;      /* of stored; tensors in the files, and in the index */
    nc__buffer files, names, strings; /* nc_hlx_file of every shard; their names; of JSON */
    uint32_t shards, heads;           /* heads: what the files say, 0: nothing */
    nc_error *err;
} nc_hlx__import;

static nc_hlx__stored *nc_hlx__stored_of(const nc_hlx__import *in, const nc_hlx__portion *portion) {
    return &in->stored[NC_HLX__PARTS * nc_hlx__stream_of(in->model, &portion->x) + portion->part];
}

/* Of a tensor that no layer has. */
static nc_hlx__stored *nc_hlx__stored_at(const nc_hlx__import *in, int t) {
    nc_hlx__portion portion = nc_hlx__first_portion();
    portion.x.t = t;
    return nc_hlx__stored_of(in, &portion);
}

/* A name without what wrappers put before it. */
static const char *nc_hlx__bare_name(const nc_hlx_config *c, const char *name) {
    static const char *const prefixes[] = {"transformer.", "_orig_mod.", "module.", "model."};
    const size_t n = nc_hlx__is_llama(c) ? 4 : 3;
    size_t i;
    do {
        for (i = 0; i < n && strncmp(name, prefixes[i], strlen(prefixes[i])) != 0; i++) {
        }
        if (i < n) name += strlen(prefixes[i]);
    } while (i < n);
    return name;
}

/* Whether a name is a pattern with a layer's number for %u; *layer gets it. */
static int nc_hlx__matches(const char *name, const char *pattern, size_t *layer) {
    const char *number = strchr(pattern, '%'), *at = name;
    size_t n;
    *layer = 0;
    if (!number) return !strcmp(name, pattern);
    n = (size_t)(number - pattern);
    if (strncmp(name, pattern, n) != 0) return 0;
    at += n;
    if (!nc__is_digit(*at) || (*at == '0' && nc__is_digit(at[1]))) return 0;
    for (; nc__is_digit(*at) && *layer < 1 << 20; at++) *layer = 10 * *layer + (size_t)(*at - '0');
    return !strcmp(at, number + 2);
}

/* The portion of a bare name, in a tied model lm_head.weight too; 0: none. */
static int nc_hlx__find_portion(const nc_hlx_model *model, const char *name,
                                nc_hlx__portion *portion) {
    const nc_hlx_config *c = &model->config;
    nc_hlx__cursor *x = &portion->x;
    *portion = nc_hlx__first_portion();
    for (x->t = 0; x->t < NC_HLX__TENSORS; x->t++)
        for (portion->part = 0; portion->part < NC_HLX__PARTS; portion->part++) {
            const char *own = nc_hlx__form(c, x->t, portion->part);
            if (!own || (nc_hlx__absent(c, x->t) && x->t != NC_HLX__HEAD) ||
                !nc_hlx__matches(name, own, &x->layer))
                continue;
            nc_hlx__place_portion(c, portion);
            return x->layer < c->num_layers;
        }
    return 0;
}

/* What files have beside the parameters: GPT-2's attention masks, Llama's frequencies. */
static int nc_hlx__is_buffer(const nc_hlx_config *c, const char *name) {
    size_t layer;
    if (nc_hlx__is_llama(c))
        return nc_hlx__matches(name, "layers.%u.self_attn.rotary_emb.inv_freq", &layer);
    return nc_hlx__matches(name, "h.%u.attn.bias", &layer) ||
           nc_hlx__matches(name, "h.%u.attn.masked_bias", &layer);
}

/* Whether a table may have another number of rows, and what says so. */
static int nc_hlx__may_resize(const nc_hlx__import *in, int t, const char **option) {
    *option = t == NC_HLX__WPE                        ? "; resize_positions cuts or extends"
              : t == NC_HLX__WTE || t == NC_HLX__HEAD ? "; resize_vocab cuts or pads"
                                                      : "";
    return **option && (t == NC_HLX__WPE ? in->options.resize_positions : in->options.resize_vocab);
}

/* A tensor of the file, checked and remembered; transposed: its shape is the other way round than
 * the model's file would have it. */
static nc_status nc_hlx__take_tensor(nc_hlx__import *in, const nc__item *item, int transposed) {
    const nc_hlx_config *c = &in->model->config;
    const char *name = nc_hlx__bare_name(c, item->name), *option = "";
    nc_hlx__portion portion;
    nc_hlx__stored *source;
    uint64_t shape[2];
    uint32_t rank;
    if (nc_hlx__is_buffer(c, name)) return NC_OK;
    if (!nc_hlx__find_portion(in->model, name, &portion))
        return nc__fail(in->err, NC_ERR_MISMATCH, 0, 0, "'%.90s' is no tensor of this model",
                        item->name);
    source = nc_hlx__stored_of(in, &portion);
    if (source->data)
        return nc__fail(in->err, NC_ERR_MISMATCH, 0, 0, "'%.90s' is there twice", item->name);
    if (!nc__is_float(item->dtype))
        return nc__fail(in->err, NC_ERR_UNSUPPORTED, 0, 0,
                        "'%.90s' is %s, not F32, F16, BF16 or F64", item->name, item->dtype);
    portion.transposed |= transposed;
    rank = nc_hlx__shape(&portion, shape);
    if (item->rank == 2 && rank == 2 && shape[0] != shape[1] && item->shape[0] == shape[1] &&
        item->shape[1] == shape[0])
        return nc__fail(in->err, NC_ERR_MISMATCH, 0, 0,
                        "'%.60s' is transposed (%llu, %llu): here it is (%s)", item->name,
                        (unsigned long long)item->shape[0], (unsigned long long)item->shape[1],
                        portion.transposed ? "outputs, inputs" : "inputs, outputs");
    if (item->rank != rank || (rank == 2 && item->shape[1] != shape[1]))
        return nc__fail(in->err, NC_ERR_MISMATCH, 0, 0,
                        "'%.60s' has another shape (%u: %llu, %llu) than the model's %llu, %llu",
                        item->name, (unsigned)item->rank, (unsigned long long)item->shape[0],
                        (unsigned long long)item->shape[1], (unsigned long long)shape[0],
                        (unsigned long long)(rank == 2 ? shape[1] : 1));
    if (item->shape[0] != shape[0] &&
        (!nc_hlx__may_resize(in, portion.x.t, &option) || !item->shape[0]))
        return nc__fail(in->err, NC_ERR_MISMATCH, 0, 0,
                        "'%.60s' has another shape: %llu rows, the model's %llu%s", item->name,
                        (unsigned long long)item->shape[0], (unsigned long long)shape[0], option);
    source->data = item->data;
    source->rows = item->shape[0];
    source->shard = in->shards;
    source->transposed = (uint32_t)portion.transposed;
    memcpy(source->dtype, item->dtype, sizeof source->dtype);
    in->found++;
    return NC_OK;
}

/* A pair of metadata: the number of heads shows in no tensor's shape. */
static nc_status nc_hlx__take_pair(nc_hlx__import *in, const nc__item *item) {
    char heads[16];
    if (strcmp(item->name, "n_head") != 0) return NC_OK;
    in->heads = in->model->config.num_heads;
    snprintf(heads, sizeof heads, "%u", (unsigned)in->heads);
    if (!strcmp(item->text, heads)) return NC_OK;
    return nc__fail(in->err, NC_ERR_MISMATCH, 0, 0,
                    "the file says n_head '%.20s', the model has %s heads", item->text, heads);
}

/* What two configurations do differently that shows in no tensor's shape; null: nothing. */
static const char *nc_hlx__other_block(const nc_hlx_config *a, const nc_hlx_config *b) {
    if (a->activation != b->activation) return "activation";
    if (a->num_kv_heads != b->num_kv_heads) return "num_key_value_heads";
    if (nc_hlx__norm_eps(a) != nc_hlx__norm_eps(b))
        return a->rms_norm ? "rms_norm_eps" : "layer_norm_epsilon";
    if (a->rope_theta != b->rope_theta) return "rope_theta";
    if (a->rope_original != b->rope_original || a->rope_factor != b->rope_factor ||
        a->rope_low != b->rope_low || a->rope_high != b->rope_high)
        return "rope_scaling";
    return NULL;
}

/* What the files say of the model beside the shapes of its tensors. */
static nc_status nc_hlx__compare(nc_hlx__import *in, const nc_hlx_config *c, const char *file) {
    const nc_hlx_config *model = &in->model->config;
    const char *differs = nc_hlx__other_block(c, model);
    in->heads = c->num_heads;
    if (c->num_heads != model->num_heads)
        return nc__fail(in->err, NC_ERR_MISMATCH, 0, 0, "%s says n_head %u, the model has %u heads",
                        file, (unsigned)c->num_heads, (unsigned)model->num_heads);
    if (differs)
        return nc__fail(in->err, NC_ERR_MISMATCH, 0, 0, "%s says another %s than the model has",
                        file, differs);
    return NC_OK;
}

/* The tensors of llm.c's model: behind its header each for all layers, before the next. */
static nc_status nc_hlx__take_llmc(nc_hlx__import *in, const nc_hlx_file *file) {
    const uint8_t *at = file->data + NC_HLX__LLMC_BYTES;
    nc_hlx__portion portion = nc_hlx__first_portion();
    nc_hlx_config c;
    uint32_t padded;
    size_t width;
    nc_status status = nc_hlx__llmc_config(file, &c, &padded, &width, in->err);
    if (status == NC_OK) status = nc_hlx__compare(in, &c, "llm.c's header");
    for (portion.x.t = 0; portion.x.t < NC_HLX__TENSORS && status == NC_OK; portion.x.t++) {
        const int t = portion.x.t, layers = nc_hlx__is_layer_tensor(t);
        if (nc_hlx__absent(&c, t)) continue;
        nc_hlx__place_portion(&c, &portion);
        portion.transposed = layers && nc_hlx__tensors[t].rows != NC_HLX__N_ONE;
        for (portion.x.layer = 0; portion.x.layer < (layers ? c.num_layers : 1) && status == NC_OK;
             portion.x.layer++) {
            char name[64];
            nc__item item;
            memset(&item, 0, sizeof item);
            nc_hlx__name(name, &c, &portion);
            item.name = name;
            memcpy(item.dtype, width == 4 ? "F32" : "BF16", width == 4 ? 4 : 5);
            item.rank = nc_hlx__shape(&portion, item.shape);
            item.data = at;
            at += width * portion.columns * (t == NC_HLX__WTE ? padded : portion.rows);
            status = nc_hlx__take_tensor(in, &item, portion.transposed);
        }
    }
    return status;
}

/* The tensors and the metadata of a safetensors file. */
static nc_status nc_hlx__take_safetensors(nc_hlx__import *in, const nc_hlx_file *file) {
    nc__safetensors reader;
    nc__item item;
    nc__item_kind kind;
    nc_status status = nc__safetensors_open(&reader, file->data, file->bytes, in->err);
    while (status == NC_OK && (kind = nc__safetensors_next(&reader, &item)) != NC__ITEM_END)
        status = kind == NC__ITEM_TENSOR ? nc_hlx__take_tensor(in, &item, 0)
                                         : nc_hlx__take_pair(in, &item);
    if (status == NC_OK) status = reader.t.status;
    nc__safetensors_close(&reader);
    return status;
}

/* All that one file has. */
static nc_status nc_hlx__take_file(nc_hlx__import *in, const char *path) {
    nc_hlx_file file;
    nc_status status = nc_hlx_file_open(&file, path, in->err);
    if (status != NC_OK) return status;
    nc__buffer_put(&in->files, &file, sizeof file);
    if (in->files.status != NC_OK) {
        nc_hlx_file_close(&file);
        return nc__fail(in->err, NC_ERR_MEMORY, 0, 0, "out of memory");
    }
    status = nc_hlx__check_kind(&file, in->err);
    if (status == NC_OK)
        status = nc_hlx__is_llmc(&file) ? nc_hlx__take_llmc(in, &file)
                                        : nc_hlx__take_safetensors(in, &file);
    in->shards++;
    return status;
}

/* -- several files: PyTorch's index of the shards that lie beside it -- */

/* The number of a shard, which is read at its first mention. */
static nc_status nc_hlx__shard(nc_hlx__import *in, const char *path, size_t folder,
                               const char *name, uint32_t *number) {
    const char *at;
    nc__buffer whole;
    nc_status status;
    size_t i = 0;
    if (!name) return nc__fail(in->err, NC_ERR_FORMAT, 0, 0, "a tensor without its file");
    for (*number = 0; i < in->names.used; i += strlen(in->names.data + i) + 1, ++*number)
        if (!strcmp(in->names.data + i, name)) return NC_OK;
    if (!*name || strpbrk(name, "/\\:"))
        return nc__fail(in->err, NC_ERR_FORMAT, 0, 0,
                        "shard '%.60s' is no name of a file beside the index", name);
    nc__buffer_put(&in->names, name, strlen(name) + 1);
    memset(&whole, 0, sizeof whole);
    whole.hooks = in->names.hooks;
    at = nc_hlx__path(&whole, path, folder, name);
    status = at && in->names.status == NC_OK
                 ? nc_hlx__take_file(in, at)
                 : nc__fail(in->err, NC_ERR_MEMORY, 0, 0, "out of memory");
    nc__buffer_free(&whole);
    return status;
}

/* One tensor of the index: it stands in that shard, and once. */
static nc_status nc_hlx__take_entry(nc_hlx__import *in, const char *name, uint32_t shard) {
    const nc_hlx_config *c = &in->model->config;
    const char *bare = nc_hlx__bare_name(c, name);
    nc_hlx__portion portion;
    nc_hlx__stored *source;
    if (nc_hlx__is_buffer(c, bare)) return NC_OK;
    if (!nc_hlx__find_portion(in->model, bare, &portion))
        return nc__fail(in->err, NC_ERR_MISMATCH, 0, 0,
                        "'%.90s' of the index is no tensor of this model", name);
    source = nc_hlx__stored_of(in, &portion);
    if (!source->data || source->shard != shard)
        return nc__fail(in->err, NC_ERR_MISMATCH, 0, 0, "'%.60s' is not in the shard of the index",
                        name);
    if (source->listed++)
        return nc__fail(in->err, NC_ERR_MISMATCH, 0, 0, "the index has '%.60s' twice", name);
    in->listed++;
    return NC_OK;
}

/* {"weight_map": {tensor: shard, ..}}; what else is there (metadata with a total size) adds nothing
 * to what the shards say. */
static nc_status nc_hlx__take_map(nc_hlx__import *in, nc__text *t, const char *path,
                                  size_t folder) {
    int first = 1;
    nc__json_expect(t, '{');
    while (nc__json_more(t, '}', &first)) {
        nc_status status;
        uint32_t shard = 0;
        size_t name;
        in->strings.used = 0;
        (void)nc__json_whole(t, &in->strings);
        nc__json_expect(t, ':');
        name = in->strings.used;
        (void)nc__json_whole(t, &in->strings);
        if (t->status != NC_OK) break;
        status = nc_hlx__shard(in, path, folder, in->strings.data + name, &shard);
        if (status == NC_OK) status = nc_hlx__take_entry(in, in->strings.data, shard);
        if (status != NC_OK) return t->status = status;
    }
    return t->status;
}

/* The index at `path`; its folder is the first so many bytes, with the slash. */
static nc_status nc_hlx__take_index(nc_hlx__import *in, const char *path, size_t folder) {
    nc_hlx_file file;
    nc__text t;
    int first = 1, maps = 0;
    nc_status status = nc_hlx_file_open(&file, path, in->err);
    if (status != NC_OK) return status;
    nc__text_open(&t, file.data, file.bytes, in->err);
    nc__json_expect(&t, '{');
    while (nc__json_more(&t, '}', &first)) {
        char key[16];
        const size_t length = nc__json_string(&t, key, sizeof key);
        nc__json_expect(&t, ':');
        if (length < sizeof key && !strcmp(key, "weight_map") && t.status == NC_OK) {
            if (maps++) (void)nc__text_fail(&t, NC_ERR_FORMAT, "a second weight_map");
            if (t.status == NC_OK) (void)nc_hlx__take_map(in, &t, path, folder);
        } else {
            nc__json_skip(&t);
        }
    }
    nc__json_space(&t);
    if (t.at < t.end) (void)nc__text_fail(&t, NC_ERR_FORMAT, "text after the index");
    if (!maps) (void)nc__text_fail(&t, NC_ERR_FORMAT, "an index without a weight_map");
    nc_hlx_file_close(&file);
    if (t.status == NC_OK && in->listed != in->found)
        return nc__fail(in->err, NC_ERR_MISMATCH, 0, 0,
                        "the shards have %lu tensors, the index %lu", (unsigned long)in->found,
                        (unsigned long)in->listed);
    return t.status;
}

/* What a folder's config.json says, where there is one. */
static nc_status nc_hlx__compare_folder(nc_hlx__import *in, const char *path, size_t bytes) {
    nc__buffer inside;
    nc_hlx_config c;
    const char *name;
    nc_status status = NC_OK;
    memset(&inside, 0, sizeof inside);
    inside.hooks = in->names.hooks;
    name = nc_hlx__path(&inside, path, bytes, "config.json");
    if (!name) status = nc__fail(in->err, NC_ERR_MEMORY, 0, 0, "out of memory");
    if (name && nc_hlx__is_file(name)) {
        status = nc_hlx_read_config(&c, name, in->err);
        if (status == NC_OK) status = nc_hlx__compare(in, &c, "config.json");
        if (status == NC_OK && !c.tied_output && !nc_hlx__stored_at(in, NC_HLX__HEAD)->data)
            status = nc__fail(in->err, NC_ERR_MISMATCH, 0, 0,
                              "'lm_head.weight' is missing, and config.json says that it is not "
                              "tied");
    }
    nc__buffer_free(&inside);
    return status;
}

/* transformers' names: of one file, and of the index of several. */
static const char *const nc_hlx__weight_files[] = {"model.safetensors",
                                                   "model.safetensors.index.json"};

/* The file of these names that a folder has, else the path itself; null without memory. */
static const char *nc_hlx__weight_file(nc__buffer *to, const char *path) {
    int i;
    for (i = 0; i < 2; i++) {
        const char *at = nc_hlx__path(to, path, strlen(path), nc_hlx__weight_files[i]);
        if (!at || nc_hlx__is_file(at)) return at;
    }
    return path;
}

/* A file, an index of shards, or a folder that has one of them under transformers' names, which the
 * config.json beside them goes with. */
static nc_status nc_hlx__take_path(nc_hlx__import *in, const char *path) {
    size_t folder;
    nc__buffer inside;
    nc_status status;
    memset(&inside, 0, sizeof inside);
    inside.hooks = in->names.hooks;
    path = nc_hlx__weight_file(&inside, path);
    if (!path) {
        status = nc__fail(in->err, NC_ERR_MEMORY, 0, 0, "out of memory");
    } else {
        folder = nc__folder_bytes(path);
        status = nc_hlx__ends_with(path, ".json") ? nc_hlx__take_index(in, path, folder)
                                                  : nc_hlx__take_file(in, path);
        if (status == NC_OK && (!strcmp(path + folder, nc_hlx__weight_files[0]) ||
                                !strcmp(path + folder, nc_hlx__weight_files[1])))
            status = nc_hlx__compare_folder(in, path, folder);
    }
    nc__buffer_free(&inside);
    return status;
}

/* -- from there to the model -- */

NC__COLD_END
/* n values, those of 64 bits rounded to the nearest float. */
static void nc_hlx__take_values(float *to, const nc_hlx__stored *source, size_t n) {
    nc__item item;
    size_t i;
    memset(&item, 0, sizeof item);
    memcpy(item.dtype, source->dtype, sizeof item.dtype);
    item.width = nc__dtype_width(source->dtype);
    item.data = source->data;
    if (!strcmp(source->dtype, "F32")) {
        memcpy(to, source->data, n * sizeof *to);
        nc_hlx__file_order(to, n);
    } else if (!strcmp(source->dtype, "BF16")) {
        for (i = 0; i < n; i++) {
            const uint32_t bits = (uint32_t)nc__get_le(source->data + 2 * i, 2) << 16;
            memcpy(to + i, &bits, sizeof bits);
        }
    } else {
        for (i = 0; i < n; i++) to[i] = nc__item_float(&item, i);
    }
}
NC__COLD_BEGIN

/* Whether a file's own output matrix has the bits of its token embedding. */
static int nc_hlx__same_values(const nc_hlx__stored *a, const nc_hlx__stored *b, size_t columns) {
    const size_t n = (size_t)a->rows * columns;
    float x[256], y[256];
    nc_hlx__stored from_a = *a, from_b = *b;
    size_t at, piece;
    if (a->data == b->data) return 1;
    if (a->rows != b->rows) return 0;
    for (at = 0; at < n; at += piece) {
        piece = n - at < 256 ? n - at : 256;
        from_a.data = a->data + at * nc__dtype_width(a->dtype);
        from_b.data = b->data + at * nc__dtype_width(b->dtype);
        nc_hlx__take_values(x, &from_a, piece);
        nc_hlx__take_values(y, &from_b, piece);
        if (memcmp(x, y, piece * sizeof *x) != 0) return 0;
    }
    return 1;
}

/* Whether all is there. A file without an output matrix is tied, as GPT-2's are: a model with a
 * matrix of its own takes the token embedding. */
static nc_status nc_hlx__check_stored(nc_hlx__import *in) {
    const nc_hlx_model *model = in->model;
    nc_hlx__stored *head = nc_hlx__stored_at(in, NC_HLX__HEAD);
    const nc_hlx__stored *wte = nc_hlx__stored_at(in, NC_HLX__WTE);
    nc_hlx__portion portion = nc_hlx__first_portion();
    if (wte->data && !head->data) *head = *wte;
    while (nc_hlx__next_portion(model, &portion)) {
        char name[64];
        if (nc_hlx__stored_of(in, &portion)->data) continue;
        nc_hlx__name(name, &model->config, &portion);
        return nc__fail(in->err, NC_ERR_MISMATCH, 0, 0,
                        "'%s' is missing: %lu of the model's tensors are there", name,
                        (unsigned long)in->found);
    }
    if (model->config.tied_output && !in->options.drop_head &&
        !nc_hlx__same_values(head, wte, model->config.d_model))
        return nc__fail(in->err, NC_ERR_MISMATCH, 0, 0,
                        "'lm_head.weight' is not '%s', which a tied model has for both; "
                        "drop_head takes the latter",
                        nc_hlx__form(&model->config, NC_HLX__WTE, 0));
    return NC_OK;
}

/* A transposed portion, in tiles. */
static void nc_hlx__fill_transposed(float *to, size_t width, const nc_hlx__portion *portion,
                                    const nc_hlx__stored *source) {
    enum { WIDE = 16, LONG = 64 };
    float tile[WIDE * LONG];
    nc_hlx__stored from = *source;
    size_t r, i, j, k;
    for (i = 0; i < portion->columns; i += WIDE)
        for (r = 0; r < portion->rows; r += LONG) {
            const size_t w = nc_hlx__min(portion->columns - i, WIDE);
            const size_t n = nc_hlx__min(portion->rows - r, LONG);
            for (j = 0; j < w; j++) {
                from.data =
                    source->data + ((i + j) * portion->rows + r) * nc__dtype_width(source->dtype);
                nc_hlx__take_values(tile + j * LONG, &from, n);
            }
            for (k = 0; k < n; k++)
                for (j = 0; j < w; j++) to[(r + k) * width + i + j] = tile[j * LONG + k];
        }
}

/* Every value over the model's. */
static void nc_hlx__fill(nc_hlx_model *model, const nc_hlx__import *in) {
    nc_hlx__portion portion = nc_hlx__first_portion();
    while (nc_hlx__next_portion(model, &portion)) {
        const nc_hlx__stored *source = nc_hlx__stored_of(in, &portion);
        float *to = model->parameters + portion.x.at + portion.column;
        const size_t size = portion.rows * portion.columns;
        uint64_t shape[2], rows;
        size_t n;
        if (source->transposed) {
            nc_hlx__fill_transposed(to, portion.x.size / portion.rows, &portion, source);
            continue;
        }
        (void)nc_hlx__shape(&portion, shape);
        rows = source->rows < shape[0] ? source->rows : shape[0];
        n = shape[0] ? (size_t)rows * (size / (size_t)shape[0]) : 0;
        nc_hlx__take_values(to, source, n);
        memset(to + n, 0, (size - n) * sizeof(float));
    }
    nc_hlx__restart(model);
}

NC_API nc_status nc_hlx_import_with(nc_hlx_model *model, const char *path,
                                    const nc_hlx_import_options *options, nc_error *err) {
    const nc_allocator *hooks;
    nc_hlx__import in;
    nc_status status;
    size_t i;
    nc__clear(err);
    if (!model || !path) return nc__fail(err, NC_ERR_ARG, 0, 0, "no model or no path");
    status = nc_hlx__nameable(&model->config, err);
    if (status != NC_OK) return status;
    hooks = nc_hlx__hooks(model);
    memset(&in, 0, sizeof in);
    in.model = model;
    in.err = err;
    if (options) in.options = *options;
    in.files.hooks = in.names.hooks = in.strings.hooks = hooks;
    in.bytes = nc__mul_size((size_t)NC_HLX__PARTS * NC_HLX__TENSORS * sizeof *in.stored,
                            model->config.num_layers);
    in.stored = (nc_hlx__stored *)nc__calloc(hooks, in.bytes);
    status = in.stored ? nc_hlx__take_path(&in, path)
                       : nc__fail(err, NC_ERR_MEMORY, 0, 0, "out of memory");
    if (status == NC_OK) status = nc_hlx__check_stored(&in);
    if (status == NC_OK) nc_hlx__fill(model, &in);
    if (status == NC_OK && in.options.heads) *in.options.heads = in.heads;
    for (i = 0; i < in.files.used; i += sizeof(nc_hlx_file)) {
        nc_hlx_file file;
        memcpy(&file, in.files.data + i, sizeof file);
        nc_hlx_file_close(&file);
    }
    nc__buffer_free(&in.files);
    nc__buffer_free(&in.names);
    nc__buffer_free(&in.strings);
    nc__free(hooks, in.stored, in.bytes);
    return status;
}

NC_API nc_status nc_hlx_import(nc_hlx_model *model, const char *path, nc_error *err) {
    return nc_hlx_import_with(model, path, NULL, err);
}
#endif

NC__COLD_END

/* >>gpu ============================================================================ */

#ifdef NC_GPU

/* A matrix of each head of each window: offset, row stride and the strides between windows and
 * heads, in floats. */
typedef struct nc_hlx__operand {
    uint32_t at, ld, window, head;
} nc_hlx__operand;

static nc_hlx__operand nc_hlx__operand_of(size_t at, size_t ld) {
    nc_hlx__operand o;
    memset(&o, 0, sizeof o);
    o.at = (uint32_t)at;
    o.ld = (uint32_t)ld;
    return o;
}

/* Push constants of the gemm kernels (cuda/gemm_tile.h). */
typedef struct nc_hlx__gemm_push {
    uint32_t m, n, k, flags, heads;
    nc_hlx__operand x, y, z, w, c;
    float scale;
    uint32_t activation, off_bias, off_residual, off_beside;
} nc_hlx__gemm_push;

enum {
    NC_HLX__GEMM_TRANS_A = 1,
    NC_HLX__GEMM_TRANS_B = 2,
    NC_HLX__GEMM_ACCUMULATE = 4,
    NC_HLX__GEMM_SCALED = 8,
    NC_HLX__GEMM_BIAS = 16,
    NC_HLX__GEMM_RESIDUAL = 32,
    NC_HLX__GEMM_ACTIVATED = 64, /* the activation of C beside it */
    NC_HLX__GEMM_SLOPE = 128,    /* C times the activation's derivative at what stands beside it */
    NC_HLX__GEMM_FROM_X = 256,   /* w = x^T y, and c = x z */
    NC_HLX__GEMM_FROM_Y = 512,   /* w = x^T y, and c = y z, or y z^T */
    NC_HLX__GEMM_ADD = 1024,     /* w += */
    NC_HLX__GEMM_SUMS = 2048,    /* the bias += y's column sums */
    NC_HLX__GEMM_ROUND = 4096    /* C, and the activation, to bfloat16 */
};

static nc_hlx__gemm_push nc_hlx__plain_gemm(int trans_a, int trans_b, size_t m, size_t n, size_t k,
                                            int accumulate) {
    nc_hlx__gemm_push push;
    memset(&push, 0, sizeof push);
    push.m = (uint32_t)m;
    push.n = (uint32_t)n;
    push.k = (uint32_t)k;
    push.flags = (trans_a ? (uint32_t)NC_HLX__GEMM_TRANS_A : 0u) |
                 (trans_b ? (uint32_t)NC_HLX__GEMM_TRANS_B : 0u) |
                 (accumulate ? (uint32_t)NC_HLX__GEMM_ACCUMULATE : 0u);
    push.heads = 1;
    push.x = nc_hlx__operand_of(0, trans_a ? m : k);
    push.z = nc_hlx__operand_of(0, trans_b ? k : n);
    push.c = nc_hlx__operand_of(0, n);
    return push;
}

/* A kernel for products and its groups. */
typedef struct nc_hlx__tiling {
    const char *kernel;
    size_t groups[2];
} nc_hlx__tiling;

static size_t nc_hlx__gemm_tiles(size_t m, size_t n, size_t side) {
    return ((m + side - 1) / side) * ((n + side - 1) / side);
}

/* The largest tiles that still keep a device busy; the bits are the same. Tiles of 128 take more
 * shared memory than the 32 KiB of many Vulkan devices. */
static nc_hlx__tiling nc_hlx__tiling_of(nc_gpu *device, const nc_hlx__gemm_push *push,
                                        size_t matrices) {
    static const struct {
        const char *kernel;
        size_t side, least; /* groups */
    } list[3] = {{"gemm_128", 128, 256}, {"gemm", 64, 128}, {"gemm_32", 32, 0}};
    const size_t most = 65535, m = push->m, n = push->n, k = push->k;
    nc_hlx__tiling t;
    int i = nc_gpu_get_caps(device)->kind == NC_GPU_VULKAN;
    for (;; i++) {
        size_t groups = nc_hlx__gemm_tiles(m, n, list[i].side);
        if (push->flags & NC_HLX__GEMM_FROM_X) groups += nc_hlx__gemm_tiles(k, n, list[i].side);
        if (push->flags & NC_HLX__GEMM_FROM_Y) groups += nc_hlx__gemm_tiles(n, k, list[i].side);
        t.kernel = list[i].kernel;
        t.groups[0] = groups < most ? groups : most;
        t.groups[1] = (groups + most - 1) / most;
        if (groups * matrices >= list[i].least) return t;
    }
}

NC_API nc_status nc_hlx_gpu_gemm(nc_gpu *device, int trans_a, int trans_b, size_t m, size_t n,
                                 size_t k, const float *a, const float *b, float *c,
                                 int accumulate) {
    nc_hlx__gemm_push push;
    nc_hlx__tiling tiling;
    nc_gpu_buffer *buffers[4];
    nc_gpu_job job;
    if (!device || !a || !b || !c || m == 0 || n == 0 || k == 0) return NC_ERR_ARG;
    if (m > 65535 * 16 || n > 65535 * 16 || k > 1 << 20 || (uint64_t)m * k >> 32 ||
        (uint64_t)k * n >> 32 || (uint64_t)m * n >> 32)
        return NC_ERR_LIMIT;
    if (!nc_gpu_get_caps(device)->contract) return NC_ERR_UNSUPPORTED;
    push = nc_hlx__plain_gemm(trans_a, trans_b, m, n, k, accumulate);
    nc_gpu_job_start(&job, device);
    buffers[0] = nc_gpu_job_buffer(&job, a, m * k * sizeof *a, m * k * sizeof *a);
    buffers[1] = nc_gpu_job_buffer(&job, b, k * n * sizeof *b, k * n * sizeof *b);
    buffers[2] =
        nc_gpu_job_buffer(&job, accumulate ? c : NULL, m * n * sizeof *c, m * n * sizeof *c);
    buffers[3] = buffers[2];
    tiling = nc_hlx__tiling_of(device, &push, 1);
    nc_gpu_job_dispatch(&job, tiling.kernel, buffers, 4, &push, sizeof push, tiling.groups[0],
                        tiling.groups[1], 1);
    return nc_gpu_job_finish(&job, buffers[3], 0, c, m * n * sizeof *c);
}

/* -- training: the state buffer holds parameters, gradients, m and v one after the other, the work
 *    buffer the arena of activations; tokens beside targets and the step's scalars have a buffer
 *    each. The whole step is one recorded program. -- */

/* The scalars, as the kernels adam, cross_entropy and dropout read them. */
typedef struct nc_hlx__control {
    nc_hlx__adam adam;
    float clip, norm, count; /* norm: the sum of squares */
    uint32_t seed[2], stream[2];
    float loss; /* the sum */
} nc_hlx__control;
typedef char nc_hlx__control_is_16_words[sizeof(nc_hlx__control) == 64 ? 1 : -1];

/* Behind them in the same buffer, for adam, which reads four at once: where in a model of one layer
 * weight decay begins and ends by turns. */
typedef struct nc_hlx__decays {
    uint32_t count, at[(NC_HLX__TENSORS + 3) / 4 * 4];
} nc_hlx__decays;

static nc_hlx__decays nc_hlx__decays_of(const nc_hlx_model *model) {
    const nc_hlx__layout *l = &model->layout;
    const size_t others = (model->config.num_layers - 1) * l->layer_stride;
    nc_hlx__decays d;
    int t, decaying = 0;
    memset(&d, 0, sizeof d);
    for (t = 0; t < NC_HLX__TENSORS; t++) {
        const int behind = t > l->layer_first && !nc_hlx__is_layer_tensor(t);
        if (l->size[t] == 0 || nc_hlx__tensors[t].decays == decaying) continue;
        d.at[d.count++] = (uint32_t)(l->offset[t] - (behind ? others : 0));
        decaying = !decaying;
    }
    return d;
}

struct nc_hlx_gpu {
    nc_hlx_model *model;
    nc_gpu *device;
    nc_gpu_buffer *state, *work, *tokens, *control;
    nc_gpu_program *program, *losses; /* a training step; losses of a batch, once asked for */
    nc_hlx__plan plan;
    float *losses_host;    /* of a batch */
    uint32_t *tokens_host; /* as the device's: tokens, targets, order, start of every micro-batch */
    uint32_t rows, seq;
    nc_gpu_job job; /* the recording */
};

/* Where a micro-batch's tokens, targets, order and starts stand in the tokens buffer. */
static uint32_t nc_hlx__tokens_at(const nc_hlx_gpu *g, uint32_t micro) {
    return micro * (4 * g->rows + 1);
}

static size_t nc_hlx__tokens_bytes(const nc_hlx_gpu *g) {
    return (size_t)nc_hlx__tokens_at(g, g->model->config.micro_batches) * sizeof(uint32_t);
}

static nc_gpu_buffer *nc_hlx__buffer(const nc_hlx_gpu *g, nc_hlx__place p) {
    return p.in == NC_HLX__STATE ? g->state : g->work;
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

/* Of a kernel that gives a row to each 32 of its 128 threads. */
static size_t nc_hlx__row_groups(size_t rows) { return (rows + 3) / 4; }

/* No barrier between the two. */
static void nc_hlx__device_apart(nc_hlx__pass *s) { s->gpu->job.apart = 1; }

/* The tokens of all micro-batches are uploaded together. */
static nc_status nc_hlx__device_batch(nc_hlx__pass *s) {
    (void)s;
    return NC_OK;
}

/* What the embedding's kernels take for seq: 0 without position embeddings. */
static uint32_t nc_hlx__positions(const nc_hlx__pass *s) {
    return nc_hlx__has(s, NC_HLX__WPE) ? (uint32_t)s->seq : 0;
}

static void nc_hlx__device_embedding(nc_hlx__pass *s, nc_hlx__place out) {
    nc_hlx_gpu *g = s->gpu;
    const size_t d = s->model->config.d_model, n = s->rows * d;
    const uint32_t push[7] = {(uint32_t)n,
                              (uint32_t)d,
                              nc_hlx__positions(s),
                              (uint32_t)nc_hlx__parameter(s, NC_HLX__WTE, 0).at,
                              (uint32_t)nc_hlx__parameter(s, NC_HLX__WPE, 0).at,
                              nc_hlx__tokens_at(g, s->micro),
                              (uint32_t)out.at};
    nc_hlx__record(g, "embedding", g->state, g->tokens, g->work, push, sizeof push, (n + 255) / 256,
                   1, 1);
}

static void nc_hlx__device_embedding_backward(nc_hlx__pass *s, nc_hlx__place dout) {
    nc_hlx_gpu *g = s->gpu;
    const uint32_t tokens = nc_hlx__tokens_at(g, s->micro), rows = (uint32_t)s->rows;
    const uint32_t push[9] = {rows,
                              s->model->config.d_model,
                              nc_hlx__positions(s),
                              (uint32_t)dout.at,
                              tokens,
                              tokens + 2 * rows,
                              tokens + 3 * rows,
                              (uint32_t)nc_hlx__gradient(s, NC_HLX__WTE, 0).at,
                              (uint32_t)nc_hlx__gradient(s, NC_HLX__WPE, 0).at};
    nc_hlx__record(g, "embedding_backward", g->work, g->tokens, g->state, push, sizeof push,
                   s->rows + nc_hlx__positions(s), (push[1] + 127) / 128, 1);
}

static void nc_hlx__device_dropout(nc_hlx__pass *s, nc_hlx__place out, nc_hlx__place x,
                                   nc_hlx__place residual, uint32_t stream) {
    const nc_hlx_config *c = &s->model->config;
    const size_t n = s->rows * c->d_model;
    const uint64_t first = (uint64_t)s->micro * n;
    struct {
        uint32_t count, off_in, off_out, first_low, first_high, place, threshold, added;
        uint32_t off_residual;
        float scale;
    } push;
    push.count = (uint32_t)n;
    push.off_in = (uint32_t)x.at;
    push.off_out = (uint32_t)out.at;
    push.first_low = (uint32_t)first;
    push.first_high = (uint32_t)(first >> 32);
    push.place = stream;
    push.threshold = nc_hlx__threshold(c->dropout);
    push.added = residual.in != 0;
    push.off_residual = (uint32_t)residual.at;
    push.scale = 1.0f / (1.0f - c->dropout);
    nc_hlx__record(s->gpu, "dropout", s->gpu->work, s->gpu->control, NULL, &push, sizeof push,
                   (n + first % 4 + 1023) / 1024, 1, 1);
}

static void nc_hlx__device_elementwise(nc_hlx__pass *s, uint32_t operation, nc_hlx__place out,
                                       nc_hlx__place a, nc_hlx__place b, size_t n) {
    nc_hlx_gpu *g = s->gpu;
    const uint32_t push[6] = {(uint32_t)n,    operation,      s->model->config.activation,
                              (uint32_t)a.at, (uint32_t)b.at, (uint32_t)out.at};
    nc_hlx__record(g, "elementwise", nc_hlx__buffer(g, a), nc_hlx__buffer(g, b),
                   nc_hlx__buffer(g, out), push, sizeof push, (n + 255) / 256, 1, 1);
}

static void nc_hlx__device_bf16(nc_hlx__pass *s, uint32_t mode, const nc_hlx__pieces *list) {
    nc_hlx_gpu *g = s->gpu;
    struct {
        uint32_t mode, count[8], off_in[8], off_out[8];
    } push;
    size_t most = 0;
    uint32_t i;
    memset(&push, 0, sizeof push);
    push.mode = mode;
    for (i = 0; i < list->count; i++) {
        const size_t n = list->at[i].n;
        push.count[i] = (uint32_t)n;
        push.off_in[i] = (uint32_t)list->at[i].x.at;
        push.off_out[i] = (uint32_t)list->at[i].out.at;
        if (n > most) most = n;
    }
    nc_hlx__record(g, "bf16", nc_hlx__buffer(g, list->at[0].x), g->work, NULL, &push, sizeof push,
                   (most + 255) / 256, list->count, 1);
}

/* x and y stand in the arena, the others where these places are: z with a bias, w with its
 * gradient, c with a residual and what is beside it. */
static void nc_hlx__record_gemm(nc_hlx_gpu *g, const nc_hlx__gemm_push *push, nc_hlx__place z,
                                nc_hlx__place w, nc_hlx__place c, size_t matrices) {
    const nc_hlx__tiling t = nc_hlx__tiling_of(g->device, push, matrices);
    nc_gpu_buffer *buffers[4];
    buffers[0] = g->work;
    buffers[1] = nc_hlx__buffer(g, z);
    buffers[2] = nc_hlx__buffer(g, w);
    buffers[3] = nc_hlx__buffer(g, c);
    nc_gpu_job_dispatch(&g->job, t.kernel, buffers, 4, push, sizeof *push, t.groups[0], t.groups[1],
                        matrices);
}

static void nc_hlx__device_gemm(nc_hlx__pass *s, int trans_a, int trans_b, size_t m, size_t n,
                                size_t k, nc_hlx__place a, nc_hlx__place b, nc_hlx__place c,
                                int accumulate) {
    nc_hlx__gemm_push push = nc_hlx__plain_gemm(trans_a, trans_b, m, n, k, accumulate);
    push.x.at = (uint32_t)a.at;
    push.z.at = (uint32_t)b.at;
    push.c.at = (uint32_t)c.at;
    nc_hlx__record_gemm(s->gpu, &push, b, c, c, 1);
}

static void nc_hlx__device_linear(nc_hlx__pass *s, nc_hlx__place out, nc_hlx__place activated,
                                  nc_hlx__place x, nc_hlx__place w, nc_hlx__place bias,
                                  nc_hlx__place residual, size_t k, size_t n, int rounded) {
    nc_hlx__gemm_push push = nc_hlx__plain_gemm(0, 0, s->rows, n, k, 0);
    push.x.at = (uint32_t)x.at;
    push.z.at = (uint32_t)w.at;
    push.c.at = (uint32_t)out.at;
    push.off_bias = (uint32_t)bias.at;
    push.off_residual = (uint32_t)residual.at;
    push.off_beside = (uint32_t)activated.at;
    push.activation = s->model->config.activation;
    if (bias.in) push.flags |= NC_HLX__GEMM_BIAS;
    if (residual.in) push.flags |= NC_HLX__GEMM_RESIDUAL;
    if (activated.in) push.flags |= NC_HLX__GEMM_ACTIVATED;
    if (rounded) push.flags |= NC_HLX__GEMM_ROUND;
    nc_hlx__record_gemm(s->gpu, &push, w, out, out, 1);
}

static void nc_hlx__device_linear_backward(nc_hlx__pass *s, nc_hlx__place dx, nc_hlx__place slope,
                                           nc_hlx__place dw, nc_hlx__place db, nc_hlx__place x,
                                           nc_hlx__place dout, nc_hlx__place w, size_t k,
                                           size_t n) {
    nc_hlx__gemm_push push = nc_hlx__plain_gemm(0, 1, s->rows, k, n, 0);
    push.x = nc_hlx__operand_of(x.at, k);
    push.y = nc_hlx__operand_of(dout.at, n);
    push.z = nc_hlx__operand_of(w.at, n);
    push.w = nc_hlx__operand_of(dw.at, n);
    push.c = nc_hlx__operand_of(dx.at, k);
    push.off_bias = (uint32_t)db.at;
    push.off_beside = (uint32_t)slope.at;
    push.activation = s->model->config.activation;
    push.flags |= NC_HLX__GEMM_FROM_Y | NC_HLX__GEMM_ADD;
    if (db.in) push.flags |= NC_HLX__GEMM_SUMS;
    if (slope.in) push.flags |= NC_HLX__GEMM_SLOPE;
    nc_hlx__record_gemm(s->gpu, &push, w, dw, dx, 1);
}

static void nc_hlx__device_head_backward(nc_hlx__pass *s, nc_hlx__place dx, nc_hlx__place dw,
                                         nc_hlx__place x, nc_hlx__place dout, nc_hlx__place w) {
    const size_t d = s->model->config.d_model, vocab = s->model->config.vocab_size;
    nc_hlx__gemm_push push = nc_hlx__plain_gemm(0, 0, s->rows, d, vocab, 0);
    push.x = nc_hlx__operand_of(dout.at, vocab);
    push.y = nc_hlx__operand_of(x.at, d);
    push.z = nc_hlx__operand_of(w.at, d);
    push.w = nc_hlx__operand_of(dw.at, d);
    push.c = nc_hlx__operand_of(dx.at, d);
    push.flags |= NC_HLX__GEMM_FROM_X | NC_HLX__GEMM_ADD;
    nc_hlx__record_gemm(s->gpu, &push, w, dw, dx, 1);
}

static void nc_hlx__device_layernorm(nc_hlx__pass *s, nc_hlx__place out, nc_hlx__place x, int b,
                                     int w, size_t l) {
    nc_hlx_gpu *g = s->gpu;
    const nc_hlx_config *c = &s->model->config;
    const uint32_t rows = (uint32_t)s->rows, d = c->d_model, from = (uint32_t)x.at;
    const uint32_t gamma = (uint32_t)nc_hlx__parameter(s, w, l).at, to = (uint32_t)out.at;
    const uint32_t beta = (uint32_t)nc_hlx__parameter(s, w + 1, l).at;
    const uint32_t mean = (uint32_t)nc_hlx__at(s, b, l).at;
    const uint32_t rstd = (uint32_t)nc_hlx__at(s, b + 1, l).at;
    const uint32_t eps = nc_hlx__bits(nc_hlx__norm_eps(c));
    const uint32_t layer[9] = {rows, d, from, gamma, beta, to, mean, rstd, eps};
    const uint32_t root[7] = {rows, d, from, gamma, to, rstd, eps};
    if (c->rms_norm)
        nc_hlx__record(g, "rmsnorm", g->work, g->state, g->work, root, sizeof root,
                       nc_hlx__row_groups(rows), 1, 1);
    else
        nc_hlx__record(g, "layernorm", g->work, g->state, g->work, layer, sizeof layer,
                       nc_hlx__row_groups(rows), 1, 1);
}

/* One launch: groups of columns, 8 each, for the weights' gradients, then those of rows. */
static void nc_hlx__device_layernorm_backward(nc_hlx__pass *s, nc_hlx__place dx, nc_hlx__place dout,
                                              nc_hlx__place x, int b, int w, size_t l) {
    nc_hlx_gpu *g = s->gpu;
    const uint32_t rows = (uint32_t)s->rows, d = s->model->config.d_model;
    const uint32_t gamma = (uint32_t)nc_hlx__parameter(s, w, l).at, dy = (uint32_t)dout.at;
    const uint32_t mean = (uint32_t)nc_hlx__at(s, b, l).at, to = (uint32_t)dx.at;
    const uint32_t rstd = (uint32_t)nc_hlx__at(s, b + 1, l).at, from = (uint32_t)x.at;
    const uint32_t dgamma = (uint32_t)nc_hlx__gradient(s, w, l).at;
    const uint32_t dbeta = (uint32_t)nc_hlx__gradient(s, w + 1, l).at;
    const uint32_t layer[10] = {rows, d, from, gamma, mean, rstd, dy, to, dgamma, dbeta};
    const uint32_t root[8] = {rows, d, from, gamma, rstd, dy, to, dgamma};
    const size_t groups = ((size_t)d + 7) / 8 + nc_hlx__row_groups(rows);
    if (s->model->config.rms_norm)
        nc_hlx__record(g, "rmsnorm_backward", g->work, g->state, NULL, root, sizeof root, groups, 1,
                       1);
    else
        nc_hlx__record(g, "layernorm_backward", g->work, g->state, NULL, layer, sizeof layer,
                       groups, 1, 1);
}

static void nc_hlx__device_rotary(nc_hlx__pass *s, nc_hlx__place qkv, int inverse) {
    const nc_hlx_heads shape = nc_hlx__heads(&s->model->config, s->batch, s->seq);
    const size_t turned = shape.heads + nc_hlx__kv_heads(&shape), pairs = shape.head_size / 2;
    const size_t count = s->rows * turned * pairs;
    nc_gpu_buffer *work = s->gpu->work;
    struct {
        uint32_t count, seq, turned, pairs, ld, off_x, off_table;
        float sign;
    } push;
    push.count = (uint32_t)count;
    push.seq = (uint32_t)s->seq;
    push.turned = (uint32_t)turned;
    push.pairs = (uint32_t)pairs;
    push.ld = (uint32_t)nc_hlx__qkv_width(&shape);
    push.off_x = (uint32_t)qkv.at;
    push.off_table = (uint32_t)s->plan->at[NC_HLX__A_ROTARY];
    push.sign = inverse ? -1.0f : 1.0f;
    nc_hlx__record(s->gpu, "rotary", work, work, NULL, &push, sizeof push, (count + 255) / 256, 1,
                   1);
}

static void nc_hlx__device_swiglu(nc_hlx__pass *s, nc_hlx__place out, nc_hlx__place fc) {
    const nc_hlx_config *c = &s->model->config;
    const size_t n = s->rows * c->ffn_dim;
    const uint32_t push[5] = {(uint32_t)n, c->ffn_dim, c->activation, (uint32_t)fc.at,
                              (uint32_t)out.at};
    nc_hlx__record(s->gpu, "swiglu", s->gpu->work, s->gpu->work, NULL, push, sizeof push,
                   (n + 255) / 256, 1, 1);
}

static void nc_hlx__device_swiglu_backward(nc_hlx__pass *s, nc_hlx__place dfc, nc_hlx__place dout,
                                           nc_hlx__place fc) {
    const nc_hlx_config *c = &s->model->config;
    const size_t n = s->rows * c->ffn_dim;
    const uint32_t push[6] = {(uint32_t)n,     c->ffn_dim,        c->activation,
                              (uint32_t)fc.at, (uint32_t)dout.at, (uint32_t)dfc.at};
    nc_hlx__record(s->gpu, "swiglu_backward", s->gpu->work, NULL, NULL, push, sizeof push,
                   (n + 255) / 256, 1, 1);
}

/* Inside rows of ld values, from column `add` on. */
static nc_hlx__operand nc_hlx__rows_operand(const nc_hlx__pass *s, nc_hlx__place p, size_t add,
                                            size_t ld) {
    nc_hlx__operand o = nc_hlx__operand_of(p.at + add, ld);
    o.head = nc_hlx__head_size(&s->model->config);
    o.window = (uint32_t)(s->seq * ld);
    return o;
}

/* A seq x seq block a head. */
static nc_hlx__operand nc_hlx__square_operand(const nc_hlx__pass *s, nc_hlx__place p) {
    nc_hlx__operand o = nc_hlx__operand_of(p.at, s->seq);
    o.head = o.ld * o.ld;
    o.window = s->model->config.num_heads * o.head;
    return o;
}

/* Queries, keys and values of rows of qkv or of their gradients. */
typedef struct nc_hlx__qkv_operands {
    nc_hlx__operand q, k, v;
} nc_hlx__qkv_operands;

static nc_hlx__qkv_operands nc_hlx__qkv_operands_of(const nc_hlx__pass *s, nc_hlx__place qkv) {
    const nc_hlx_heads shape = nc_hlx__heads(&s->model->config, s->batch, s->seq);
    const size_t d = shape.heads * shape.head_size, ld = nc_hlx__qkv_width(&shape);
    const size_t keys = nc_hlx__kv_heads(&shape) * shape.head_size;
    nc_hlx__qkv_operands o;
    o.q = nc_hlx__rows_operand(s, qkv, 0, ld);
    o.k = nc_hlx__rows_operand(s, qkv, d, ld);
    o.v = nc_hlx__rows_operand(s, qkv, d + keys, ld);
    return o;
}

/* Products of all heads, the i-th of those that share a K and a V in dispatch i, behind the first
 * with the flag `then`: chains go on in head order, those of w with ADD, of c with ACCUMULATE. x, y
 * and c are each head's own, w and z shared; with ACCUMULATE x and z are its own, c is shared. */
static void nc_hlx__record_heads(nc_hlx__pass *s, nc_hlx__gemm_push *push, uint32_t then) {
    const nc_hlx_heads shape = nc_hlx__heads(&s->model->config, s->batch, s->seq);
    const uint32_t kv = (uint32_t)nc_hlx__kv_heads(&shape), sharing = (uint32_t)shape.heads / kv;
    nc_hlx__operand *const own = then == NC_HLX__GEMM_ACCUMULATE ? &push->z : &push->c;
    const uint32_t x = push->x.head, y = push->y.head, last = own->head;
    const nc_hlx__place work = nc_hlx__place_in(NC_HLX__WORK, 0);
    uint32_t i;
    push->heads = kv;
    push->x.head *= sharing, push->y.head *= sharing, own->head *= sharing;
    for (i = 0; i < sharing; i++) {
        nc_hlx__record_gemm(s->gpu, push, work, work, work, s->batch * kv);
        push->x.at += x, push->y.at += y, own->at += last;
        push->flags |= then;
    }
}

/* The longest window of which the kernels attention and attention_backward hold a row of weights;
 * longer ones take products and softmax, each a dispatch. The bits are the same. */
enum { NC_HLX__FUSED_SEQ = 128 };

/* The words of these kernels. */
typedef struct nc_hlx__fused_push {
    uint32_t seq, heads, kv_heads, head_size, off_qkv, off_rows, off_kept;
    float scale;
} nc_hlx__fused_push;

typedef struct nc_hlx__fused_backward_push {
    nc_hlx__fused_push forward;
    uint32_t off_dkept;
} nc_hlx__fused_backward_push;

/* The words of nc_hlx_flash_attention's kernels. */
typedef struct nc_hlx__flash_push {
    uint32_t seq, causal, heads, kv_heads, head_size, off_qkv, off_out, off_lse;
    float scale;
} nc_hlx__flash_push;

typedef struct nc_hlx__flash_backward_push {
    nc_hlx__flash_push forward;
    uint32_t off_dout, off_dqkv, off_delta, keys;
} nc_hlx__flash_backward_push;

/* 1 / sqrt(head_size). */
static float nc_hlx__head_scale(const nc_hlx__pass *s) {
    return 1.0f / sqrtf((float)nc_hlx__head_size(&s->model->config));
}

static nc_hlx__flash_push nc_hlx__flash_of(const nc_hlx__pass *s, nc_hlx__place out,
                                           nc_hlx__place lse, nc_hlx__place qkv) {
    const nc_hlx_heads shape = nc_hlx__heads(&s->model->config, s->batch, s->seq);
    nc_hlx__flash_push flash;
    flash.seq = (uint32_t)s->seq;
    flash.causal = 1;
    flash.heads = (uint32_t)shape.heads;
    flash.kv_heads = (uint32_t)nc_hlx__kv_heads(&shape);
    flash.head_size = (uint32_t)shape.head_size;
    flash.off_qkv = (uint32_t)qkv.at;
    flash.off_out = (uint32_t)out.at;
    flash.off_lse = (uint32_t)lse.at;
    flash.scale = nc_hlx__head_scale(s);
    return flash;
}

/* `rows` stands where attention leaves its output, or reads the gradient of that. */
static nc_hlx__fused_push nc_hlx__fused_of(const nc_hlx__pass *s, nc_hlx__place rows,
                                           nc_hlx__place kept, nc_hlx__place qkv) {
    const nc_hlx_heads shape = nc_hlx__heads(&s->model->config, s->batch, s->seq);
    nc_hlx__fused_push fused;
    fused.seq = (uint32_t)s->seq;
    fused.heads = (uint32_t)shape.heads;
    fused.kv_heads = (uint32_t)nc_hlx__kv_heads(&shape);
    fused.head_size = (uint32_t)shape.head_size;
    fused.off_qkv = (uint32_t)qkv.at;
    fused.off_rows = (uint32_t)rows.at;
    fused.off_kept = (uint32_t)kept.at;
    fused.scale = nc_hlx__head_scale(s);
    return fused;
}

/* One group to 32 queries of a head of a window. */
static void nc_hlx__record_fused(nc_hlx__pass *s, const char *kernel, const void *push,
                                 size_t bytes) {
    nc_hlx__record(s->gpu, kernel, s->gpu->work, NULL, NULL, push, bytes, (s->seq + 31) / 32,
                   s->batch * s->model->config.num_heads, 1);
}

/* One group to 64 queries or keys of one of `heads` of a window. */
static void nc_hlx__record_flash(nc_hlx__pass *s, const char *kernel, uint32_t heads,
                                 const void *push, size_t bytes) {
    nc_hlx__record(s->gpu, kernel, s->gpu->work, NULL, NULL, push, bytes, (s->seq + 63) / 64,
                   s->batch * heads, 1);
}

static void nc_hlx__device_attention(nc_hlx__pass *s, nc_hlx__place out, nc_hlx__place kept,
                                     nc_hlx__place qkv) {
    const nc_hlx_config *c = &s->model->config;
    const size_t d = nc_hlx__dimension(c, NC_HLX__N_MIXED), rows = s->rows * c->num_heads;
    const size_t seq = s->seq, size = nc_hlx__head_size(c);
    const nc_hlx__operand scores = nc_hlx__square_operand(s, kept);
    const nc_hlx__qkv_operands from = nc_hlx__qkv_operands_of(s, qkv);
    nc_hlx__gemm_push products = nc_hlx__plain_gemm(0, 1, seq, seq, size, 0);
    nc_hlx__gemm_push mixed = nc_hlx__plain_gemm(0, 0, seq, size, seq, 0);
    const uint32_t soft[4] = {(uint32_t)rows, (uint32_t)s->seq, 1, (uint32_t)kept.at};
    if (c->flash) {
        const nc_hlx__flash_push flash = nc_hlx__flash_of(s, out, kept, qkv);
        nc_hlx__record_flash(s, "flash_attention", flash.heads, &flash, sizeof flash);
        return;
    }
    if (s->seq <= NC_HLX__FUSED_SEQ) {
        const nc_hlx__fused_push fused = nc_hlx__fused_of(s, out, kept, qkv);
        nc_hlx__record_fused(s, "attention", &fused, sizeof fused);
        return;
    }
    products.x = from.q, products.z = from.k, products.c = scores;
    products.flags |= NC_HLX__GEMM_SCALED;
    products.scale = nc_hlx__head_scale(s);
    nc_hlx__record_heads(s, &products, 0);
    nc_hlx__record(s->gpu, "softmax", s->gpu->work, NULL, NULL, soft, sizeof soft,
                   nc_hlx__row_groups(rows), 1, 1);
    mixed.x = scores, mixed.z = from.v, mixed.c = nc_hlx__rows_operand(s, out, 0, d);
    nc_hlx__record_heads(s, &mixed, 0);
}

/* By queries, then by keys. */
static void nc_hlx__device_flash_backward(nc_hlx__pass *s, nc_hlx__place dqkv, nc_hlx__place dout,
                                          nc_hlx__place out, nc_hlx__place lse, nc_hlx__place qkv) {
    nc_hlx__flash_backward_push flash;
    flash.forward = nc_hlx__flash_of(s, out, lse, qkv);
    flash.off_dout = (uint32_t)dout.at;
    flash.off_dqkv = (uint32_t)dqkv.at;
    flash.off_delta = (uint32_t)nc_hlx__at(s, NC_HLX__A_D_SCORES, 0).at;
    for (flash.keys = 0; flash.keys < 2; flash.keys++)
        nc_hlx__record_flash(s, "flash_attention_backward",
                             flash.keys ? flash.forward.kv_heads : flash.forward.heads, &flash,
                             sizeof flash);
}

/* Of products by themselves: the gradients of the values dv and, times the scale, of the scores. */
static void nc_hlx__device_scores_backward(nc_hlx__pass *s, nc_hlx__operand dv,
                                           nc_hlx__operand values, nc_hlx__operand dout,
                                           nc_hlx__place d_scores, nc_hlx__place kept) {
    const size_t seq = s->seq, rows = s->rows * s->model->config.num_heads;
    nc_hlx__gemm_push push =
        nc_hlx__plain_gemm(0, 1, seq, seq, nc_hlx__head_size(&s->model->config), 0);
    struct {
        uint32_t rows, n, causal, off_y, off_dy;
        float scale;
    } soft;
    push.x = nc_hlx__square_operand(s, kept), push.y = dout, push.z = values;
    push.w = dv, push.c = nc_hlx__square_operand(s, d_scores);
    push.flags |= NC_HLX__GEMM_FROM_Y;
    nc_hlx__record_heads(s, &push, NC_HLX__GEMM_ADD);
    soft.rows = (uint32_t)rows;
    soft.n = (uint32_t)seq;
    soft.causal = 1;
    soft.off_y = (uint32_t)kept.at;
    soft.off_dy = (uint32_t)d_scores.at;
    soft.scale = nc_hlx__head_scale(s);
    nc_hlx__record(s->gpu, "softmax_backward", s->gpu->work, NULL, NULL, &soft, sizeof soft,
                   nc_hlx__row_groups(rows), 1, 1);
}

/* As nc_hlx__attention_head_backward. */
static void nc_hlx__device_attention_backward(nc_hlx__pass *s, nc_hlx__place dqkv,
                                              nc_hlx__place dout, nc_hlx__place out,
                                              nc_hlx__place kept, nc_hlx__place qkv) {
    const nc_hlx_config *c = &s->model->config;
    const size_t seq = s->seq, size = nc_hlx__head_size(c);
    const nc_hlx__place d_scores = nc_hlx__at(s, NC_HLX__A_D_SCORES, 0);
    const nc_hlx__operand dout_of =
        nc_hlx__rows_operand(s, dout, 0, nc_hlx__dimension(c, NC_HLX__N_MIXED));
    const nc_hlx__qkv_operands from = nc_hlx__qkv_operands_of(s, qkv);
    const nc_hlx__qkv_operands to = nc_hlx__qkv_operands_of(s, dqkv);
    nc_hlx__gemm_push values = nc_hlx__plain_gemm(1, 0, seq, size, seq, 0);
    nc_hlx__gemm_push keys = nc_hlx__plain_gemm(0, 0, seq, size, seq, 0);
    if (c->flash) {
        nc_hlx__device_flash_backward(s, dqkv, dout, out, kept, qkv);
        return;
    }
    if (seq <= NC_HLX__FUSED_SEQ) {
        nc_hlx__fused_backward_push fused;
        fused.forward = nc_hlx__fused_of(s, dout, kept, qkv);
        fused.off_dkept = (uint32_t)d_scores.at;
        nc_hlx__device_apart(s); /* the values' gradients are none of the scores' */
        nc_hlx__record_fused(s, "attention_backward", &fused, sizeof fused);
        values.x = nc_hlx__square_operand(s, kept), values.z = dout_of, values.c = to.v;
        nc_hlx__record_heads(s, &values, NC_HLX__GEMM_ACCUMULATE);
    } else {
        nc_hlx__device_scores_backward(s, to.v, from.v, dout_of, d_scores, kept);
    }
    keys.x = nc_hlx__square_operand(s, d_scores), keys.y = from.q, keys.z = from.k;
    keys.w = to.k, keys.c = to.q;
    keys.flags |= NC_HLX__GEMM_FROM_X;
    nc_hlx__record_heads(s, &keys, NC_HLX__GEMM_ADD);
}

static void nc_hlx__device_cross_entropy(nc_hlx__pass *s, nc_hlx__place logits,
                                         nc_hlx__place losses) {
    nc_hlx_gpu *g = s->gpu;
    const uint32_t rows = (uint32_t)s->rows;
    const uint32_t push[6] = {rows,
                              s->model->config.vocab_size,
                              (uint32_t)logits.at,
                              (uint32_t)losses.at,
                              nc_hlx__tokens_at(g, s->micro) + rows, /* behind the tokens */
                              (uint32_t)(offsetof(nc_hlx__control, count) / 4)};
    nc_hlx__record(g, "cross_entropy", g->work, g->tokens, g->control, push, sizeof push,
                   nc_hlx__row_groups(rows), 1, 1);
}

/* The sum of n numbers, or of their squares, to a word of the control buffer, by the rule of
 * nc_hlx_sum, level by level. */
static void nc_hlx__record_sum(nc_hlx__pass *s, nc_hlx__place x, size_t count, uint32_t squares,
                               size_t word) {
    nc_hlx_gpu *g = s->gpu;
    uint32_t n = (uint32_t)count, to = (uint32_t)s->plan->at[NC_HLX__A_SUMS];
    for (;; squares = 0) {
        const uint32_t chunks = (n + NC_HLX__CHUNK - 1) / NC_HLX__CHUNK;
        const uint32_t push[4] = {n, squares, (uint32_t)x.at, chunks > 1 ? to : (uint32_t)word};
        nc_hlx__record(g, "reduce", nc_hlx__buffer(g, x), chunks > 1 ? g->work : g->control, NULL,
                       push, sizeof push, nc_hlx__row_groups(chunks), 1, 1);
        if (chunks == 1) break;
        x = nc_hlx__place_in(NC_HLX__WORK, to);
        to += chunks;
        n = chunks;
    }
}

static nc_status nc_hlx__device_norm(nc_hlx__pass *s) {
    const size_t total = s->model->layout.total;
    if (s->losses <= NC_HLX__CHUNK) nc_hlx__device_apart(s); /* needs no place for partial sums */
    nc_hlx__record_sum(s, nc_hlx__at(s, NC_HLX__A_LOSSES, 0), s->losses, 0,
                       offsetof(nc_hlx__control, loss) / 4);
    nc_hlx__record_sum(s, nc_hlx__place_in(NC_HLX__STATE, total), total, 1,
                       offsetof(nc_hlx__control, norm) / 4);
    return NC_OK;
}

static void nc_hlx__device_adamw(nc_hlx__pass *s) {
    const nc_hlx__layout *l = &s->model->layout;
    nc_gpu_buffer *control = s->gpu->control;
    struct {
        uint32_t total, first, stride, layers, decays;
        float decay;
    } push;
    push.total = (uint32_t)l->total;
    push.first = (uint32_t)l->offset[l->layer_first];
    push.stride = (uint32_t)l->layer_stride;
    push.layers = s->model->config.num_layers;
    push.decays = nc_hlx__decays_of(s->model).count;
    push.decay = s->adamw.weight_decay;
    nc_hlx__record(s->gpu, "adam", s->gpu->state, control, control, &push, sizeof push,
                   (l->total + 1023) / 1024, 1, 1);
}

static const nc_hlx__ops nc_hlx__device = {nc_hlx__device_apart,
                                           nc_hlx__device_batch,
                                           nc_hlx__device_embedding,
                                           nc_hlx__device_embedding_backward,
                                           nc_hlx__device_dropout,
                                           nc_hlx__device_elementwise,
                                           nc_hlx__device_bf16,
                                           nc_hlx__device_gemm,
                                           nc_hlx__device_linear,
                                           nc_hlx__device_linear_backward,
                                           nc_hlx__device_head_backward,
                                           nc_hlx__device_layernorm,
                                           nc_hlx__device_layernorm_backward,
                                           nc_hlx__device_rotary,
                                           nc_hlx__device_swiglu,
                                           nc_hlx__device_swiglu_backward,
                                           nc_hlx__device_attention,
                                           nc_hlx__device_attention_backward,
                                           nc_hlx__device_cross_entropy,
                                           nc_hlx__device_norm,
                                           nc_hlx__device_adamw};

/* A pass at the configured batch size and full length, to be recorded. */
static nc_hlx__pass nc_hlx__device_pass(nc_hlx_gpu *g, int training) {
    const nc_hlx_config *c = &g->model->config;
    nc_hlx__pass s = nc_hlx__host_pass(g->model, c->batch_size, c->max_seq_len, training);
    s.ops = &nc_hlx__device;
    s.plan = &g->plan;
    s.gpu = g;
    return s;
}

/* The step as a program. */
static nc_status nc_hlx__record_step(nc_hlx_gpu *g, const nc_hlx_adamw *adamw) {
    nc_hlx__pass s = nc_hlx__device_pass(g, 1);
    s.losses = s.rows * g->model->config.micro_batches;
    s.adamw = nc_hlx__adamw_defaults(adamw);
    nc_gpu_job_start(&g->job, g->device);
    (void)nc_hlx__step(&s);
    return nc_gpu_job_record(&g->job, &g->program);
}

/* Buffers, and the recorded step. */
static nc_status nc_hlx__gpu_prepare(nc_hlx_gpu *g, const nc_hlx_adamw *adamw) {
    const size_t state = g->model->state_bytes;
    const nc_hlx__decays decays = nc_hlx__decays_of(g->model);
    nc_status status;
    nc_hlx__make_plan(g->model, 1, &g->plan);
    if (g->plan.words > UINT32_MAX || state / 4 > UINT32_MAX) return NC_ERR_LIMIT;
    status = nc_gpu_buffer_create(g->device, state, &g->state);
    if (status == NC_OK) status = nc_gpu_buffer_create(g->device, g->plan.words * 4, &g->work);
    if (status == NC_OK)
        status = nc_gpu_buffer_create(g->device, nc_hlx__tokens_bytes(g), &g->tokens);
    if (status == NC_OK)
        status = nc_gpu_buffer_create(g->device, sizeof(nc_hlx__control) + sizeof decays.at,
                                      &g->control);
    if (status == NC_OK)
        status = nc_gpu_upload(g->device, g->control, sizeof(nc_hlx__control), decays.at,
                               sizeof decays.at);
    if (status == NC_OK && g->model->rotary)
        status = nc_gpu_upload(g->device, g->work, g->plan.at[NC_HLX__A_ROTARY] * sizeof(float),
                               g->model->rotary,
                               nc_hlx__buffer_words(g->model, NC_HLX__A_ROTARY, 1) * sizeof(float));
    return status == NC_OK ? nc_hlx__record_step(g, adamw) : status;
}

NC_API nc_status nc_hlx_gpu_upload(nc_hlx_gpu *gpu) {
    const size_t bytes = gpu ? gpu->model->layout.total * sizeof(float) : 0;
    nc_status status;
    if (!gpu) return NC_ERR_ARG;
    status = nc_gpu_upload(gpu->device, gpu->state, 0, gpu->model->parameters, bytes);
    if (status == NC_OK)
        status = nc_gpu_upload(gpu->device, gpu->state, 2 * bytes, gpu->model->m, bytes);
    if (status == NC_OK)
        status = nc_gpu_upload(gpu->device, gpu->state, 3 * bytes, gpu->model->v, bytes);
    return status;
}

NC_API nc_status nc_hlx_gpu_download(nc_hlx_gpu *gpu) {
    const size_t bytes = gpu ? gpu->model->layout.total * sizeof(float) : 0;
    float *to[4];
    nc_status status = NC_OK;
    size_t i;
    if (!gpu) return NC_ERR_ARG;
    to[0] = gpu->model->parameters;
    to[1] = gpu->model->gradients;
    to[2] = gpu->model->m;
    to[3] = gpu->model->v;
    for (i = 0; i < 4 && status == NC_OK; i++)
        status = nc_gpu_download(gpu->device, gpu->state, i * bytes, to[i], bytes);
    return status;
}

NC_API nc_status nc_hlx_gpu_create(nc_hlx_gpu **gpu, nc_gpu *device, nc_hlx_model *model,
                                   const nc_hlx_adamw *adamw) {
    const nc_hlx_config *c;
    nc_hlx_gpu *g;
    nc_status status;
    if (!gpu) return NC_ERR_ARG;
    *gpu = NULL;
    if (!device || !model || nc_hlx_adamw_check(adamw, NULL) != NC_OK) return NC_ERR_ARG;
    if (!nc_gpu_get_caps(device)->contract || !nc_hlx__whole(model)) return NC_ERR_UNSUPPORTED;
    c = &model->config;
    if (c->flash && nc_hlx__head_size(c) > NC_HLX__CHUNK)
        return NC_ERR_UNSUPPORTED; /* dot(dO, O) is one chunk of the fixed reduction */
    g = (nc_hlx_gpu *)nc__calloc(nc_hlx__hooks(model), sizeof *g);
    if (!g) return NC_ERR_MEMORY;
    g->model = model;
    g->device = device;
    g->seq = c->max_seq_len;
    g->rows = c->batch_size * c->max_seq_len;
    g->losses_host = (float *)nc__calloc(nc_hlx__hooks(model), g->rows * sizeof(float));
    g->tokens_host = (uint32_t *)nc__calloc(nc_hlx__hooks(model), nc_hlx__tokens_bytes(g));
    status = g->losses_host && g->tokens_host ? nc_hlx__gpu_prepare(g, adamw) : NC_ERR_MEMORY;
    if (status == NC_OK) status = nc_hlx_gpu_upload(g);
    if (status != NC_OK) {
        nc_hlx_gpu_destroy(g);
        return status;
    }
    *gpu = g;
    return NC_OK;
}

NC_API void nc_hlx_gpu_destroy(nc_hlx_gpu *gpu) {
    const nc_allocator *hooks;
    if (!gpu) return;
    nc_gpu_program_destroy(gpu->device, gpu->program);
    nc_gpu_program_destroy(gpu->device, gpu->losses);
    nc_gpu_buffer_destroy(gpu->device, gpu->state);
    nc_gpu_buffer_destroy(gpu->device, gpu->work);
    nc_gpu_buffer_destroy(gpu->device, gpu->tokens);
    nc_gpu_buffer_destroy(gpu->device, gpu->control);
    hooks = nc_hlx__hooks(gpu->model);
    nc__free(hooks, gpu->losses_host, gpu->rows * sizeof(float));
    nc__free(hooks, gpu->tokens_host, nc_hlx__tokens_bytes(gpu));
    nc__free(hooks, gpu, sizeof *gpu);
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

/* The next batches of the loader, with their tokens sorted for the embedding's gradient. */
static nc_status nc_hlx__next_tokens(nc_hlx_gpu *g, nc_hlx_loader *loader) {
    const nc_hlx_config *c = &g->model->config;
    uint32_t micro;
    for (micro = 0; micro < c->micro_batches; micro++) {
        uint32_t *tokens = g->tokens_host + nc_hlx__tokens_at(g, micro);
        uint32_t *order = tokens + 2 * g->rows;
        nc_hlx_loader_next(loader, tokens, tokens + g->rows, c->batch_size);
        if (!nc_hlx__known(tokens, tokens + g->rows, g->rows, c->vocab_size)) return NC_ERR_ARG;
        nc_hlx__sort_tokens(tokens, g->rows, nc_hlx__integers(g->model, NC_HLX__A_CANDIDATES),
                            c->vocab_size, order, order + g->rows);
    }
    return NC_OK;
}

/* Upload tokens and scalars, run, and get the scalars back: one submission. */
static nc_status nc_hlx__run_program(nc_hlx_gpu *g, nc_gpu_program *program, size_t tokens_bytes,
                                     nc_hlx__control *control) {
    nc_status status = nc_gpu_upload(g->device, g->tokens, 0, g->tokens_host, tokens_bytes);
    if (status == NC_OK) status = nc_gpu_upload(g->device, g->control, 0, control, sizeof *control);
    if (status == NC_OK)
        status = nc_gpu_run_download(g->device, program, g->control, 0, control, sizeof *control);
    return status;
}

NC_API nc_status nc_hlx_gpu_train_step(nc_hlx_gpu *gpu, nc_hlx_loader *loader,
                                       const nc_hlx_adamw *adamw, nc_hlx_stats *stats) {
    const uint64_t before = loader ? loader->next : 0;
    nc_hlx__control control;
    nc_hlx_model *model;
    nc_hlx_adamw a;
    nc_status status;
    uint64_t stream;
    if (!gpu || !nc_hlx__fits(gpu->model, loader) || loader->seq != gpu->seq ||
        nc_hlx_adamw_check(adamw, NULL) != NC_OK)
        return NC_ERR_ARG;
    model = gpu->model;
    a = nc_hlx__adamw_defaults(adamw);
    stream = (model->step + 1) << 24;
    memset(&control, 0, sizeof control);
    control.adam = nc_hlx__adam_of(&a, model->step + 1);
    control.clip = a.clip_norm;
    control.count = nc_hlx__next_targets(loader, (size_t)model->config.batch_size *
                                                     model->config.micro_batches);
    control.seed[0] = (uint32_t)model->seed;
    control.seed[1] = (uint32_t)(model->seed >> 32);
    control.stream[0] = (uint32_t)stream;
    control.stream[1] = (uint32_t)(stream >> 32);
    status = nc_hlx__next_tokens(gpu, loader);
    if (status == NC_OK)
        status = nc_hlx__run_program(gpu, gpu->program, nc_hlx__tokens_bytes(gpu), &control);
    if (status == NC_OK && !(nc_hlx__finite(control.norm) && nc_hlx__finite(control.loss)))
        status = NC_ERR_MATH;
    if (status != NC_OK) loader->next = before;
    if (status != NC_OK && status != NC_ERR_MATH) return status;
    model->ready = 0;
    if (stats) memset(stats, 0, sizeof *stats);
    if (stats) stats->loss = control.loss / control.count;
    return nc_hlx__finish_step(model, &a, sqrtf(control.norm), status, stats);
}

/* Losses of a batch, as a program. */
static nc_status nc_hlx__record_losses(nc_hlx_gpu *g) {
    nc_hlx__pass s = nc_hlx__device_pass(g, 0);
    nc_gpu_job_start(&g->job, g->device);
    nc_hlx__forward(&s);
    nc_hlx__loss(&s);
    return nc_gpu_job_record(&g->job, &g->losses);
}

NC_API nc_status nc_hlx_gpu_evaluate(nc_hlx_gpu *gpu, const nc_hlx_loader *data, uint32_t windows,
                                     nc_progress_fn progress, void *user, float *loss) {
    nc_hlx__evaluation e;
    nc_status status;
    if (!gpu || !loss || !data || data->seq != gpu->seq) return NC_ERR_ARG;
    status = nc_hlx__evaluation_of(&e, gpu->model, data, windows);
    if (status == NC_OK && !gpu->losses) status = nc_hlx__record_losses(gpu);
    memset(gpu->tokens_host, 0, 2 * gpu->rows * sizeof(uint32_t)); /* a last batch not full */
    while (status == NC_OK && e.done < e.windows) {
        uint32_t *tokens = gpu->tokens_host, *targets = tokens + gpu->rows;
        const uint32_t n =
            nc_hlx__evaluation_next(&e, gpu->model->config.batch_size, tokens, targets);
        nc_hlx__control control;
        memset(&control, 0, sizeof control);
        control.count = 1.0f;
        if (!nc_hlx__known(tokens, targets, n * gpu->seq, gpu->model->config.vocab_size))
            return NC_ERR_ARG;
        status = nc_hlx__run_program(gpu, gpu->losses, 2 * gpu->rows * sizeof(uint32_t), &control);
        if (status == NC_OK)
            status = nc_gpu_download(gpu->device, gpu->work,
                                     gpu->plan.at[NC_HLX__A_LOSSES] * sizeof(float),
                                     gpu->losses_host, n * gpu->seq * sizeof(float));
        if (status == NC_OK)
            status = nc_hlx__evaluation_add(&e, gpu->losses_host, n, progress, user);
    }
    if (status == NC_OK) *loss = nc_hlx__evaluation_loss(&e);
    return status;
}
#endif /* NC_GPU */

#undef NC_HLX__VERSIONS
#undef NC_HLX__TWO_VERSIONS
#undef NC_HLX__INLINE
#undef NC_HLX__TASK
#undef NC_HLX__FREE
#undef NC_HLX__BLOCKS
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
