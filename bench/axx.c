/* Speed of nc_axx.h on one core, at every level of the machine: sums of products of approximate multipliers, against one gather a
   product (the usual way of emulators), the exact product of bytes and float32. */
#define _POSIX_C_SOURCE 199309L
#include "bench.h"
#define NC_IMPLEMENTATION
#define NC_AXX_VIT
#include "../nc_axx.h"
#include "../nc_hlx.h"
#if defined(__x86_64__) && defined(__GNUC__)
#include <immintrin.h>
#endif

enum { MOST = 512 * 1536 };
static uint8_t x[MOST], w[MOST], turned[MOST];
static int32_t sums[MOST];
static float fx[MOST], fw[MOST], fy[MOST];
static size_t rows, columns, depth, work_bytes;
static void *work;
static nc_axx_mult m;
static nc_axx_engine *engine[BENCH_LEVELS]; /* what is fastest depends on the level */
static volatile double sink;

/* The baseline: eight columns at a time gathered from the table's row, which the first operand
   picks, with four sums in flight; the second operand k-major. */
#if defined(__x86_64__) && defined(__GNUC__)
__attribute__((target("avx2"), optimize("O3"))) static void gather_256(void) {
    size_t r, n, k;
    int v;
    for (r = 0; r < rows; r++)
        for (n = 0; n < columns; n += 32) {
            __m256i sum[4];
            for (v = 0; v < 4; v++) sum[v] = _mm256_setzero_si256();
            for (k = 0; k < depth; k++) {
                const int32_t *row = m.table + (size_t)x[r * depth + k] * 256;
                const uint8_t *b = turned + k * columns + n;
#pragma GCC unroll 4
                for (v = 0; v < 4; v++)
                    sum[v] = _mm256_add_epi32(
                        sum[v],
                        _mm256_i32gather_epi32(row,
                                               _mm256_cvtepu8_epi32(_mm_loadl_epi64(
                                                   (const __m128i *)(const void *)(b + 8 * v))),
                                               4));
            }
            for (v = 0; v < 4; v++)
                _mm256_storeu_si256((__m256i *)(void *)(sums + r * columns + n + 8 * (size_t)v),
                                    sum[v]);
        }
}
#endif
static void gather_plain(void) {
    size_t r, n, k;
    for (r = 0; r < rows; r++)
        for (n = 0; n < columns; n++) {
            int32_t sum = 0;
            for (k = 0; k < depth; k++)
                sum += m.table[(size_t)x[r * depth + k] * 256 + turned[k * columns + n]];
            sums[r * columns + n] = sum;
        }
}
static void run_gather(void *u) {
    (void)u;
#if defined(__x86_64__) && defined(__GNUC__)
    if (bench_level_used > 0) {
        gather_256();
        return;
    }
#endif
    gather_plain();
}
static void run_engine(void *u) {
    (void)u;
    if (nc_axx_gemm(engine[bench_level_used], x, w, sums, rows, columns, depth, work, work_bytes) !=
        NC_OK)
        abort();
}
static void run_float(void *u) {
    (void)u;
    if (nc_hlx_gemm(0, 1, rows, columns, depth, fx, depth, fw, depth, fy, columns, 0, work,
                    work_bytes) != NC_OK)
        abort();
}
static void run_measure(void *u) {
    nc_axx_metrics e;
    (void)u;
    nc_axx_measure(&m, &e);
    sink = e.mae;
}
static void run_create(void *u) {
    nc_axx_engine *e;
    (void)u;
    if (nc_axx_engine_create(&e, &m) != NC_OK) abort();
    nc_axx_engine_destroy(e);
}

static void shape(const char *name, size_t r, size_t n, size_t k) {
    static const char *const specs[] = {"exact",
                                        "drum:6",
                                        "static_segment:5",
                                        "kulkarni:7",
                                        "roba",
                                        "iterative_log:1",
                                        "truncated:2",
                                        "truncated:3",
                                        "truncated:4",
                                        "truncated:5",
                                        "truncated:6",
                                        "truncated:8",
                                        "broken_array:3:0",
                                        "broken_array:2:6",
                                        "drum:4",
                                        "error_tolerant:4",
                                        "mitchell"};
    const double macs = (double)r * (double)n * (double)k / 1e9;
    bench_times gather, exact = {{0}}, floats, t;
    char row[128];
    size_t i, j;
    int level;
    rows = r;
    columns = n;
    depth = k;
    for (j = 0; j < n; j++)
        for (i = 0; i < k; i++) turned[i * n + j] = w[j * k + i];
    (void)nc_axx_make(&m, "mitchell", NULL);
    snprintf(row, sizeof row, "%s: one gather a product", name);
    gather = bench_levels_row(row, run_gather, NULL, macs, "GMAC/s", NULL, "");
    work_bytes = nc_hlx_gemm_work_bytes();
    work = malloc(work_bytes);
    snprintf(row, sizeof row, "%s: float32 product", name);
    floats = bench_levels_row(row, run_float, NULL, macs, "GMAC/s", &gather, "gather");
    free(work);
    for (i = 0; i < sizeof specs / sizeof *specs; i++) {
        nc_axx_engine_info info;
        double slower[BENCH_LEVELS] = {0}, faster[BENCH_LEVELS] = {0};
        if (nc_axx_make(&m, specs[i], NULL) != NC_OK) abort();
        work_bytes = 0;
        for (level = 0; level < bench_levels; level++) {
            size_t bytes;
            bench_use(level);
            if (nc_axx_engine_create(&engine[level], &m) != NC_OK) abort();
            bytes = nc_axx_gemm_work_bytes(engine[level], r, n, k);
            work_bytes = bytes > work_bytes ? bytes : work_bytes;
        }
        nc_axx_engine_describe(engine[bench_levels - 1], &info);
        work = malloc(work_bytes);
        t = bench_measure(run_engine, NULL);
        if (i == 0) exact = t;
        snprintf(row, sizeof row, "%s (%s)", m.name, info.text);
        bench_print(row, t, macs, "GMAC/s", &gather, "gather");
        for (level = 0; level < bench_levels; level++) {
            slower[level] = t.at[level] / exact.at[level];
            faster[level] = floats.at[level] / t.at[level];
        }
        snprintf(row, sizeof row, "  %s slower than exact bytes", m.name);
        bench_line(row, slower, NULL, "times", faster, 'x', "float32");
        free(work);
        for (level = 0; level < bench_levels; level++) nc_axx_engine_destroy(engine[level]);
    }
}

/* A depthwise convolution of 3 x 3 as a graph's only layer. */
typedef struct depthwise {
    nc_axx_graph *graph;
    float *x, *y;
} depthwise;

enum { IMAGES = 8 };

static void run_forward(void *d) {
    const depthwise *c = (const depthwise *)d;
    if (nc_axx_graph_forward(c->graph, c->x, IMAGES, c->y) != NC_OK) abort();
}
static void run_backward(void *d) {
    const depthwise *c = (const depthwise *)d;
    if (nc_axx_graph_backward(c->graph, c->y, NULL) != NC_OK) abort();
}

static void depthwise_rows(uint32_t channels, uint32_t side, uint32_t stride) {
    const size_t n = (size_t)IMAGES * channels * side * side;
    const double macs = 9e-9 * (double)n / (stride * stride);
    depthwise c;
    nc_axx_node node;
    char row[128];
    size_t i;
    memset(&node, 0, sizeof node);
    node.kind = NC_AXX_NODE_INPUT;
    node.rank = 3;
    node.shape[0] = channels;
    node.shape[1] = node.shape[2] = side;
    if (nc_axx_graph_create(&c.graph) != NC_OK) abort();
    if (nc_axx_graph_add(c.graph, &node, NULL, NULL) != NC_OK) abort();
    memset(&node, 0, sizeof node);
    node.kind = NC_AXX_NODE_CONV2D;
    node.out = node.groups = channels;
    node.no_bias = 1;
    for (i = 0; i < 4; i++) {
        node.kernel[i % 2] = 3;
        node.stride[i % 2] = stride;
        node.padding[i] = 1;
    }
    if (nc_axx_graph_add(c.graph, &node, NULL, NULL) != NC_OK ||
        nc_axx_graph_finish(c.graph, IMAGES, 1, NULL) != NC_OK ||
        nc_axx_graph_init(c.graph, 1) != NC_OK)
        abort();
    c.x = malloc(n * sizeof *c.x);
    c.y = malloc(n * sizeof *c.y);
    if (!c.x || !c.y) abort();
    for (i = 0; i < n; i++) c.x[i] = (float)(int)(i * 7919 % 2003) / 2003 - 0.5f;
    snprintf(row, sizeof row, "depthwise %u x %u^2 / %u forward", (unsigned)channels,
             (unsigned)side, (unsigned)stride);
    (void)bench_levels_row(row, run_forward, &c, macs, "GMAC/s", NULL, "");
    snprintf(row, sizeof row, "depthwise %u x %u^2 / %u backward", (unsigned)channels,
             (unsigned)side, (unsigned)stride);
    (void)bench_levels_row(row, run_backward, &c, 2 * macs, "GMAC/s", NULL, "");
    free(c.x);
    free(c.y);
    nc_axx_graph_destroy(c.graph);
}

static int set_level(int level) {
    const int used = nc_axx_set_simd(level);
    return (level >= 0 && used != level) || nc_hlx_set_simd(level) != NC_OK;
}

int main(int argc, char **argv) {
    uint32_t seed = 1;
    size_t i;
    for (i = 0; i < MOST; i++) {
        seed = seed * 1664525u + 1013904223u;
        x[i] = (uint8_t)(seed >> 24);
        w[i] = (uint8_t)(seed >> 16);
        fx[i] = (float)(int8_t)x[i];
        fw[i] = (float)(int8_t)w[i];
    }
    bench_begin("axx", argc, argv, set_level);
    shape("512^3", 512, 512, 512);
    shape("197 x 1536 x 384", 197, 1536, 384);
    depthwise_rows(96, 32, 1); /* MobileNetV2's on CIFAR */
    depthwise_rows(144, 32, 2);
    depthwise_rows(384, 8, 1);
    depthwise_rows(960, 4, 1);
    (void)nc_axx_make(&m, "mitchell", NULL);
    bench_row("engine of a table without structure", bench_time(run_create, NULL) * 1e3, "ms", 0,
              "");
    (void)nc_axx_make(&m, "truncated:6", NULL);
    bench_row("engine of truncated_6", bench_time(run_create, NULL) * 1e3, "ms", 0, "");
    bench_row("all metrics of a table", bench_time(run_measure, NULL) * 1e3, "ms", 0, "");
    return bench_end();
}
