/* Speed and memory of nc_hlx.h at every level of the machine: gemm and training steps against the
   measured FMA peak, the parts of a step. */
#define _POSIX_C_SOURCE 200112L
#include "bench.h"
#ifdef _OPENMP
#include <omp.h>
#endif
#define NC_HLX_FP4
#define NC_IMPLEMENTATION
#include "../nc_hlx.h"

enum { S = 512 };
static float *a, *b, *c;
static void *work;
static size_t work_bytes;
static nc_hlx_model *model;
static nc_hlx_loader loader;

static void threads(int n) {
#ifdef _OPENMP
    omp_set_num_threads(n);
#endif
    (void)n;
}

static void run_gemm(void *u) {
    (void)u;
    (void)nc_hlx_gemm(0, 0, S, S, S, a, S, b, S, c, S, 0, work, work_bytes);
}
static void run_ref(void *u) {
    (void)u;
    nc_hlx_gemm_ref(0, 0, 64, 64, S, a, S, b, S, c, S, 0);
}
static void run_step(void *u) {
    nc_hlx_stats stats;
    (void)u;
    (void)nc_hlx_train_step(model, &loader, NULL, &stats);
}

#ifdef NC_HLX__X86
/* 24 independent chains of fused multiply-adds: what one core can do at most. */
NC_HLX__AVX512 static void peak_512(void *u) {
    __m512 x[24], m = _mm512_set1_ps(0.999f);
    int i, j;
    (void)u;
    for (j = 0; j < 24; j++) x[j] = _mm512_set1_ps((float)j);
    for (i = 0; i < 10000; i++) {
#pragma GCC unroll 24
        for (j = 0; j < 24; j++) x[j] = _mm512_fmadd_ps(x[j], m, m);
    }
    for (j = 1; j < 24; j++) x[0] = _mm512_add_ps(x[0], x[j]);
    c[0] = _mm512_cvtss_f32(x[0]);
}
NC_HLX__AVX2 static void peak_256(void *u) {
    __m256 x[12], m = _mm256_set1_ps(0.999f);
    int i, j;
    (void)u;
    for (j = 0; j < 12; j++) x[j] = _mm256_set1_ps((float)j);
    for (i = 0; i < 10000; i++) {
#pragma GCC unroll 12
        for (j = 0; j < 12; j++) x[j] = _mm256_fmadd_ps(x[j], m, m);
    }
    for (j = 1; j < 12; j++) x[0] = _mm256_add_ps(x[0], x[j]);
    c[0] = _mm256_cvtss_f32(x[0]);
}
#elif defined(NC__NEON)
#include <arm_neon.h>
static void peak_128(void *u) {
    float32x4_t x[24], m = vdupq_n_f32(0.999f);
    int i, j;
    (void)u;
    for (j = 0; j < 24; j++) x[j] = vdupq_n_f32((float)j);
    for (i = 0; i < 10000; i++) {
#pragma GCC unroll 24
        for (j = 0; j < 24; j++) x[j] = vfmaq_f32(x[j], m, m);
    }
    for (j = 1; j < 24; j++) x[0] = vaddq_f32(x[0], x[j]);
    c[0] = vgetq_lane_f32(x[0], 0);
}
#endif

static bench_times flop; /* seconds of one at the FMA peak of a level; 0: not known */

static int set_level(int level) {
    (void)nc_fp4_set_simd(level);
    return nc_hlx_set_simd(level) != NC_OK;
}

/* The share of the FMA peak of a call with so many operations. */
static void peak_share(const char *what, bench_times t, double flops) {
    double share[BENCH_LEVELS] = {0};
    int level;
    for (level = 0; level < bench_levels; level++)
        if (t.at[level] > 0) share[level] = flops * flop.at[level] / t.at[level];
    bench_line(what, share, NULL, "of peak", NULL, 'x', "");
}

static void gemm_rows(void) {
    const double flops = 2.0 * S * S * S;
    double rate[BENCH_LEVELS] = {0};
    bench_times base, t;
    int level;
#if defined(NC_HLX__X86)
    flop.at[1] = bench_time(peak_256, NULL) / (10000.0 * 12 * 8 * 2);
    if (bench_levels > 2) flop.at[2] = bench_time(peak_512, NULL) / (10000.0 * 24 * 16 * 2);
#elif defined(NC__NEON)
    flop.at[1] = flop.at[2] = bench_time(peak_128, NULL) / (10000.0 * 24 * 4 * 2);
#endif
    for (level = 0; level < bench_levels; level++)
        rate[level] = flop.at[level] > 0 ? 1e-9 / flop.at[level] : 0;
    bench_line("FMA peak, measured, one core", rate, NULL, "GFLOP/s", NULL, 'x', "");
    base = bench_scale(bench_measure(run_ref, NULL), S * S / (64.0 * 64));
    t = bench_levels_row("gemm 512^3", run_gemm, NULL, 1e-9 * flops, "GFLOP/s", &base,
                         "nc_hlx_gemm_ref");
    peak_share("  of the FMA peak", t, flops);
}

/* The parts of a training step at the sizes of a preset, one call each. */
typedef struct part {
    const char *name;
    void (*fn)(void *);
    double flops, bytes; /* of one call; the larger rate is shown */
    int calls;           /* in a step; 0: an alternative */
} part;

static nc_hlx_config shape;
static float *p_x, *p_y, *p_w, *p_wide, *p_qkv, *p_att, *p_small;
static uint32_t *p_tokens;
static char *p_work;
static size_t p_work_bytes, rows_n, d_n, f_n;
static nc_hlx_heads heads_n;

static void part_qkv(void *u) {
    (void)u;
    (void)nc_hlx_linear(p_qkv, NULL, 0, p_x, p_w, p_small, NULL, rows_n, d_n, 3 * d_n, work,
                        work_bytes);
}
static void part_proj(void *u) {
    (void)u;
    (void)nc_hlx_linear(p_y, NULL, 0, p_x, p_w, p_small, p_x, rows_n, d_n, d_n, work, work_bytes);
}
static void part_fc(void *u) {
    (void)u;
    (void)nc_hlx_linear(p_wide, p_wide + rows_n * f_n, 0, p_x, p_w, p_small, NULL, rows_n, d_n, f_n,
                        work, work_bytes);
}
static void part_out(void *u) {
    (void)u;
    (void)nc_hlx_linear(p_y, NULL, 0, p_wide, p_w, p_small, p_x, rows_n, f_n, d_n, work,
                        work_bytes);
}
/* dx (rows x k) = dout (rows x n) W^T and dW = x^T dout, for n wide and k narrow or turned round. */
static void part_dx(size_t k, size_t n) {
    (void)nc_hlx_gemm(0, 1, rows_n, k, n, p_wide, n, p_w, n, p_qkv, k, 0, work, work_bytes);
}
static void part_dw(size_t k, size_t n) {
    (void)nc_hlx_gemm(1, 0, k, n, rows_n, p_wide, k, p_qkv, n, p_w, n, 1, work, work_bytes);
}
static void part_qkv_dx(void *u) { (void)u, part_dx(d_n, 3 * d_n); }
static void part_qkv_dw(void *u) { (void)u, part_dw(d_n, 3 * d_n); }
static void part_proj_dx(void *u) { (void)u, part_dx(d_n, d_n); }
static void part_proj_dw(void *u) { (void)u, part_dw(d_n, d_n); }
static void part_fc_dx(void *u) { (void)u, part_dx(d_n, f_n); }
static void part_fc_dw(void *u) { (void)u, part_dw(d_n, f_n); }
static void part_out_dx(void *u) { (void)u, part_dx(f_n, d_n); }
static void part_out_dw(void *u) { (void)u, part_dw(f_n, d_n); }
static void part_attention(void *u) {
    (void)u;
    (void)nc_hlx_attention(p_y, p_att, p_qkv, &heads_n, p_work, p_work_bytes);
}
static void part_attention_back(void *u) {
    (void)u;
    (void)nc_hlx_attention_backward(p_wide, p_y, p_att, p_qkv, &heads_n, p_work, p_work_bytes);
}
static void part_flash(void *u) {
    (void)u;
    (void)nc_hlx_flash_attention(p_y, p_small, p_qkv, &heads_n, p_work, p_work_bytes);
}
static void part_flash_back(void *u) {
    (void)u;
    (void)nc_hlx_flash_attention_backward(p_wide, p_y, p_y, p_small, p_qkv, &heads_n, p_work,
                                          p_work_bytes);
}
static void part_layernorm(void *u) {
    (void)u;
    nc_hlx_layernorm(p_y, p_small, p_small + rows_n, p_x, p_w, p_w, rows_n, d_n);
}
static void part_layernorm_back(void *u) {
    (void)u;
    nc_hlx_layernorm_backward(p_y, p_qkv, p_qkv + d_n, p_x, p_x, p_w, p_small, p_small + rows_n,
                              rows_n, d_n);
}
static void part_gelu_back(void *u) {
    (void)u;
    nc_hlx_gelu_backward(p_wide, p_wide, p_wide + rows_n * f_n, rows_n * f_n);
}
static void part_bias(void *u) {
    (void)u;
    nc_hlx_column_sums(p_small, p_wide, rows_n, f_n);
}
static void part_embedding(void *u) {
    (void)u;
    nc_hlx_embedding(p_y, p_tokens, p_w, p_w, rows_n, shape.max_seq_len, d_n);
}
static void part_embedding_back(void *u) {
    (void)u;
    nc_hlx_embedding_backward(p_w, p_w + 256 * d_n, p_x, p_tokens, rows_n, shape.max_seq_len, d_n);
}
static void part_cross_entropy(void *u) {
    (void)u;
    (void)nc_hlx_cross_entropy(p_y, p_tokens, p_small, rows_n, d_n);
}
static void part_norm(void *u) {
    (void)u;
    p_small[0] = nc_hlx__squared_norm(model);
}
static void part_zero(void *u) { (void)u, nc_hlx_zero_gradients(model); }
static void part_adamw(void *u) {
    static nc_hlx_adamw a;
    size_t n;
    float *p = nc_hlx_parameters(model, &n);
    (void)u;
    nc_hlx_adamw_update(p, p + n, p + 2 * n, p + 3 * n, n, &a, 1, 1.0f);
}

/* Every part of a step of the tiny preset on one core, and its share of a step's time. */
static int parts(bench_times step) {
    const double r = (double)(shape.batch_size * shape.max_seq_len), d = shape.d_model;
    const double f = shape.ffn_dim, t = shape.max_seq_len, n = shape.num_layers;
    const double att = 2 * r * t * d, total = 3323392;
    const int l = (int)n;
    const part list[] = {
        {"qkv: gemm, bias", part_qkv, 6 * r * d * d, 0, l},
        {"attention forward", part_attention, 2 * att, 0, l},
        {"proj: gemm, bias, residual", part_proj, 2 * r * d * d, 0, l + 1}, /* and the head */
        {"fc: gemm, bias, gelu", part_fc, 2 * r * d * f, 0, l},
        {"out: gemm, bias, residual", part_out, 2 * r * d * f, 0, l},
        {"out: dx", part_out_dx, 2 * r * d * f, 0, l},
        {"out: dW", part_out_dw, 2 * r * d * f, 0, l},
        {"fc: dx", part_fc_dx, 2 * r * d * f, 0, l},
        {"fc: dW", part_fc_dw, 2 * r * d * f, 0, l},
        {"proj and head: dx", part_proj_dx, 2 * r * d * d, 0, l + 1},
        {"proj and head: dW", part_proj_dw, 2 * r * d * d, 0, l + 1},
        {"attention backward", part_attention_back, 4 * att, 0, l},
        {"qkv: dx", part_qkv_dx, 6 * r * d * d, 0, l},
        {"qkv: dW", part_qkv_dw, 6 * r * d * d, 0, l},
        {"gelu backward", part_gelu_back, 0, 12 * r * f, l},
        {"layernorm forward", part_layernorm, 0, 8 * r * d, 2 * l + 1},
        {"layernorm backward", part_layernorm_back, 0, 24 * r * d, 2 * l + 1},
        {"bias gradients", part_bias, 0, 4 * r * f, 9 * l / 4}, /* f + 3 d + 2 d columns a layer */
        {"embedding forward", part_embedding, 0, 12 * r * d, 1},
        {"embedding backward", part_embedding_back, 0, 20 * r * d, 1},
        {"cross-entropy", part_cross_entropy, 0, 8 * r * 256, 1},
        {"zero gradients", part_zero, 0, 4 * total, 1},
        {"gradient norm", part_norm, 0, 4 * total, 1},
        {"adamw", part_adamw, 0, 28 * total, 1},
        {"flash attention forward", part_flash, 2 * att, 0, 0},
        {"flash attention backward", part_flash_back, 5 * att, 0, 0}};
    bench_times sum = {{0}}, t_;
    size_t i;
    int level;
    rows_n = (size_t)r, d_n = (size_t)d, f_n = (size_t)f;
    heads_n.batch = shape.batch_size, heads_n.seq = shape.max_seq_len;
    heads_n.heads = shape.num_heads, heads_n.head_size = d_n / shape.num_heads, heads_n.causal = 1;
    p_work_bytes = nc_hlx_attention_work_bytes(&heads_n, 0, 1);
    p_x = calloc(rows_n * d_n, 4), p_y = calloc(rows_n * d_n, 4), p_w = calloc(d_n * f_n, 4);
    p_wide = calloc(2 * rows_n * f_n, 4), p_qkv = calloc(rows_n * (3 * d_n + f_n), 4);
    p_att = calloc(rows_n * heads_n.heads * heads_n.seq, 4), p_small = calloc(8 * rows_n, 4);
    p_tokens = calloc(rows_n, 4), p_work = malloc(p_work_bytes);
    if (!p_x || !p_y || !p_w || !p_wide || !p_qkv || !p_att || !p_small || !p_tokens || !p_work)
        return 0;
    for (i = 0; i < rows_n * d_n; i++) p_x[i] = (float)(i % 83) / 83.0f;
    for (i = 0; i < d_n * f_n; i++) p_w[i] = (float)(i % 89) / 890.0f;
    for (i = 0; i < 3 * rows_n * d_n; i++) p_qkv[i] = (float)(i % 97) / 97.0f;
    for (i = 0; i < rows_n; i++) p_tokens[i] = (uint32_t)(i * i % 256);
    for (i = 0; i < sizeof list / sizeof *list; i++) {
        const part *q = &list[i];
        char row[64];
        bench_first = q->flops > 0 && bench_levels > 1; /* portable products take a minute */
        t_ = bench_measure(q->fn, NULL);
        snprintf(row, sizeof row, "  %s%s", q->name, q->calls ? "" : " (instead)");
        for (level = 0; level < bench_levels; level++) sum.at[level] += t_.at[level] * q->calls;
        bench_part(row, t_, 1e-9 * (q->flops > 0 ? q->flops : q->bytes),
                   q->flops > 0 ? "GFLOP/s" : "GB/s", q->calls ? q->calls : n, step);
    }
    if (bench_levels > 1) sum.at[0] = 0;
    bench_part("  all of them", sum, 1, "steps/s", 1, step);
    free(p_x), free(p_y), free(p_w), free(p_wide), free(p_qkv), free(p_att), free(p_small);
    free(p_tokens), free(p_work);
    return 1;
}

/* An allocator that counts, to hold the printed formula against. */
static size_t held;
static void *count_alloc(void *user, size_t bytes, size_t align) {
    void *block = NULL;
    (void)user;
    held += bytes;
    return posix_memalign(&block, align, bytes) ? NULL : block;
}
static void count_free(void *user, void *block, size_t bytes) {
    (void)user;
    held -= bytes;
    free(block);
}

static int preset(const char *name, const char *text, size_t bytes) {
    const nc_allocator hooks = {count_alloc, count_free, NULL};
    uint64_t parameters, formula;
    bench_times one = {{0}}, t;
    double tokens;
    char row[80];
    int n;
    if (nc_hlx_preset(name, &shape) != NC_OK) return 0;
    tokens = shape.batch_size * shape.max_seq_len;
    for (n = 1; n <= 2; n++) {
        threads(n);
        if (nc_hlx_create(&model, &shape, &hooks) != NC_OK) return 0;
        nc_hlx_init_weights(model, 1);
        (void)nc_hlx_loader_init(&loader, text, bytes, shape.max_seq_len, 1);
        snprintf(row, sizeof row, "%s, training, %d thread%s", name, n, n > 1 ? "s" : "");
        bench_first = bench_levels > 1; /* a step of portable code takes half a minute */
        t = bench_levels_row(row, run_step, NULL, tokens, "tokens/s", n > 1 ? &one : NULL,
                             n > 1 ? "one thread" : "");
        (void)nc_hlx_footprint(&shape, &parameters, &formula);
        if (n == 1) {
            one = t;
            peak_share("  of the FMA peak (6 N flop per token)", t,
                       6.0 * (double)parameters * tokens);
            snprintf(row, sizeof row, "%s, memory allocated", name);
            bench_row(row, (double)held / 1e6, "MB", (double)held / (double)formula,
                      "nc_hlx_footprint");
            if (!strcmp(name, "tiny") && !parts(t)) return 0;
        }
        nc_hlx_destroy(model);
    }
    return 1;
}

/* A token for each sequence, over contexts of every length. */
static void run_decode(void *cache) {
    static uint32_t tokens[8];
    nc_hlx_cache *x = cache;
    uint32_t s;
    for (s = 0; s < 8; s++)
        if (nc_hlx_cache_length(x, s) == shape.max_seq_len) (void)nc_hlx_cache_truncate(x, s, 0);
    (void)nc_hlx_cache_append(x, tokens, NULL);
}

/* Tokens a second with one core, of one sequence and of eight, for each format of the weights. */
static int decode_rows(const char *name) {
    static const char *const formats[] = {"float32", "int8", "mxfp4", "nvfp4", "nf4"};
    uint32_t n;
    int f;
    if (nc_hlx_preset(name, &shape) != NC_OK) return 0;
    shape.batch_size = 1;
    shape.flash = 1;
    threads(1);
    if (nc_hlx_create(&model, &shape, NULL) != NC_OK) return 0;
    nc_hlx_init_weights(model, 1);
    for (n = 1; n <= 8; n += 7) {
        bench_times plain = {{0}}, t;
        for (f = NC_HLX_WEIGHTS_FLOAT32; f < NC_HLX_WEIGHTS_COUNT; f++) {
            nc_hlx_cache *cache;
            char row[80];
            if (nc_hlx_cache_create(&cache, model, n) != NC_OK ||
                nc_hlx_cache_quantize(cache, (nc_hlx_weights)f, NULL) != NC_OK)
                return 0;
            snprintf(row, sizeof row, "%s, decoding %u, %s", name, n, formats[f]);
            bench_first = bench_levels > 1; /* fma is a function in portable code */
            t = bench_levels_row(row, run_decode, cache, n, "tokens/s", f ? &plain : NULL,
                                 f ? "float32" : "");
            if (f == 0) plain = t;
            nc_hlx_cache_destroy(cache);
        }
    }
    nc_hlx_destroy(model);
    return 1;
}

static void memory_row(const char *name, int flash, int recompute) {
    uint64_t bytes;
    char row[80];
    (void)nc_hlx_preset(name, &shape);
    shape.flash = (uint32_t)flash;
    shape.recompute = (uint32_t)recompute;
    (void)nc_hlx_footprint(&shape, NULL, &bytes);
    snprintf(row, sizeof row, "%s, memory%s%s", name, flash ? ", flash" : "",
             recompute ? ", recompute" : "");
    bench_row(row, (double)bytes / 1e6, "MB", 0, "");
}

int main(int argc, char **argv) {
    static char text[1 << 16];
    size_t i;
    work_bytes = nc_hlx_gemm_work_bytes();
    a = malloc(S * S * sizeof *a);
    b = malloc(S * S * sizeof *b);
    c = malloc(S * S * sizeof *c);
    work = malloc(work_bytes);
    if (!a || !b || !c || !work) return 1;
    for (i = 0; i < S * S; i++) {
        a[i] = (float)(i % 101) / 101.0f;
        b[i] = (float)(i % 97) / 97.0f;
    }
    for (i = 0; i < sizeof text; i++) text[i] = (char)(32 + i * i % 90);
    bench_begin("hlx", argc, argv, set_level);
    threads(1);
    gemm_rows();
    if (!preset("tiny", text, sizeof text) || !preset("small", text, sizeof text)) return 1;
    if (!decode_rows("small")) return 1;
    memory_row("small", 1, 1);
    memory_row("medium", 0, 0);
    memory_row("medium", 1, 0);
    memory_row("medium", 1, 1);
    return bench_end();
}
