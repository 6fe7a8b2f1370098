/* Speed and memory of nc_hlx.h: gemm against the measured FMA peak, training steps. */
#define _POSIX_C_SOURCE 199309L
#include "bench.h"
#ifdef _OPENMP
#include <omp.h>
#endif
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
#endif

static void gemm_rows(double *peak) {
    static const char *const name[3] = {"portable", "AVX2", "AVX-512"};
    double reference = bench_time(run_ref, NULL) / (64.0 * 64 * S), t;
    char row[64];
    int level;
    for (level = 0; level < 3; level++) {
        if (nc_hlx_set_simd(level) != NC_OK) continue;
#ifdef NC_HLX__X86
        if (level == 1) *peak = 10000.0 * 12 * 8 * 2 / bench_time(peak_256, NULL);
        if (level == 2) *peak = 10000.0 * 24 * 16 * 2 / bench_time(peak_512, NULL);
#endif
        t = bench_time(run_gemm, NULL);
        snprintf(row, sizeof row, "gemm 512^3, %s, one core", name[level]);
        bench_row(row, 2e-9 * S * S * S / t, "GFLOP/s", reference * S * S * S / t,
                  "nc_hlx_gemm_ref");
        if (level == 0) continue;
        snprintf(row, sizeof row, "  share of the measured %s FMA peak", name[level]);
        bench_row(row, 2.0 * S * S * S / t / *peak, "of peak", 0, "");
    }
    nc_hlx_set_simd(-1);
}

int main(int argc, char **argv) {
    static char text[1 << 16];
    nc_hlx_config config;
    uint64_t parameters, bytes;
    double one = 0, peak = 0, t;
    size_t i;
    int n;
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
    bench_begin("hlx", argc, argv);
    threads(1);
    gemm_rows(&peak);
    (void)nc_hlx_preset("tiny", &config);
    for (n = 1; n <= 2; n++) {
        char row[64];
        double tokens = config.batch_size * config.max_seq_len;
        threads(n);
        if (nc_hlx_create(&model, &config, NULL) != NC_OK) return 1;
        nc_hlx_init_weights(model, 1);
        (void)nc_hlx_loader_init(&loader, text, sizeof text, config.max_seq_len, 1);
        t = bench_time(run_step, NULL);
        if (n == 1) one = t;
        (void)nc_hlx_footprint(&config, &parameters, &bytes);
        snprintf(row, sizeof row, "tiny preset, training, %d thread%s", n, n > 1 ? "s" : "");
        bench_row(row, tokens / t, "tokens/s", n > 1 ? one / t : 0, "one thread");
        if (n == 1 && peak > 0)
            bench_row("  share of FMA peak (6 N flop per token)",
                      6.0 * (double)parameters * tokens / t / peak, "of peak", 0, "");
        nc_hlx_destroy(model);
    }
    bench_row("tiny preset, all memory", (double)bytes / 1e6, "MB", 0, "");
    return bench_end();
}
