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
static bench_times float_product; /* 1e9 of them, in 512^3 */

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
    if (r == 512) float_product = bench_scale(floats, 1 / macs);
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

/* Operands of 16 bits: look-ups of a table of 2^(2 bits) products, whatever the multiplier. */
static void wide_row(uint32_t bits) {
    nc_axx_wide *wide;
    bench_times gather, t;
    char row[64];
    double macs;
    int level;
    rows = 197;
    columns = depth = 384;
    macs = (double)rows * (double)columns * (double)depth;
    if (nc_axx_wide_create(&wide, bits, bits, 0) != NC_OK ||
        nc_axx_engine_create_wide(&engine[0], wide) != NC_OK)
        abort();
    for (level = 1; level < bench_levels; level++) engine[level] = engine[0];
    work_bytes = nc_axx_gemm_work_bytes(engine[0], rows, columns, depth);
    work = malloc(work_bytes);
    snprintf(row, sizeof row, "197 x 384 x 384, %u bits", (unsigned)bits);
    t = bench_in_turn(run_engine, NULL, run_gather, &gather);
    bench_print(row, t, macs / 1e9, "GMAC/s", &gather, "gather of bytes in turn");
    free(work);
    nc_axx_engine_destroy(engine[0]);
    nc_axx_wide_destroy(wide);
}

/* One layer as a graph of its own. */
typedef struct layer {
    nc_axx_graph *graph, *trained; /* without gradients, and with them */
    float *x, *y;
    const nc_axx_engine *engines[BENCH_LEVELS]; /* null: float32 */
} layer;

enum { IMAGES = 8 };

static void run_forward(void *d) {
    const layer *l = (const layer *)d;
    if (l->engines[bench_level_used] &&
        nc_axx_graph_assign(l->graph, 1, l->engines[bench_level_used]) != NC_OK)
        abort();
    if (nc_axx_graph_forward(l->graph, l->x, IMAGES, l->y) != NC_OK) abort();
}
static void run_backward(void *d) {
    const layer *l = (const layer *)d;
    if (nc_axx_graph_backward(l->trained, l->y, NULL) != NC_OK) abort();
}

static nc_axx_graph *graph_of(const nc_axx_node *in, const nc_axx_node *node, int training) {
    nc_axx_graph *g;
    if (nc_axx_graph_create(&g) != NC_OK || nc_axx_graph_add(g, in, NULL, NULL) != NC_OK ||
        nc_axx_graph_add(g, node, NULL, NULL) != NC_OK ||
        nc_axx_graph_finish(g, IMAGES, training, NULL) != NC_OK || nc_axx_graph_init(g, 1) != NC_OK)
        abort();
    return g;
}

/* A layer of (a, b, c) or (a, b) for an image: float32 forward and backward against the float32
   product of 512^3, integers by some multipliers against one gather a product in turn with them (in
   32 x 512 x 512). */
static void layer_rows(const char *name, uint32_t a, uint32_t b, uint32_t c,
                       const nc_axx_node *node) {
    static const char *const specs[] = {"exact", "kulkarni:7", "mitchell"};
    const size_t values = (size_t)a * b * (c ? c : 1);
    bench_times base;
    layer l;
    nc_axx_node in;
    nc_axx_node_info info;
    size_t i, outputs;
    double macs;
    char row[128];
    memset(&l, 0, sizeof l);
    memset(&in, 0, sizeof in);
    in.kind = NC_AXX_NODE_INPUT;
    in.rank = c ? 3 : 2;
    in.shape[0] = a;
    in.shape[1] = b;
    in.shape[2] = c;
    l.graph = graph_of(&in, node, 0);
    l.trained = graph_of(&in, node, 1);
    if (nc_axx_graph_node(l.graph, 1, &info) != NC_OK) abort();
    macs = IMAGES * (double)info.macs / 1e9;
    for (outputs = 1, i = 0; i < info.rank; i++) outputs *= info.shape[i];
    l.x = (float *)malloc(IMAGES * values * sizeof *l.x);
    l.y = (float *)malloc(IMAGES * outputs * sizeof *l.y);
    if (!l.x || !l.y) abort();
    for (i = 0; i < IMAGES * values; i++) l.x[i] = (float)(int)(i * 7919 % 2003) / 2003 - 0.5f;
    base = bench_scale(float_product, macs);
    snprintf(row, sizeof row, "%s: float32", name);
    (void)bench_levels_row(row, run_forward, &l, macs, "GMAC/s", &base, "float32 512^3");
    snprintf(row, sizeof row, "%s: float32, backward", name);
    if (nc_axx_graph_forward(l.trained, l.x, IMAGES, l.y) != NC_OK) abort();
    base = bench_scale(base, 2);
    (void)bench_levels_row(row, run_backward, &l, 2 * macs, "GMAC/s", &base, "float32 512^3");
    if (nc_axx_graph_calibrate(l.graph, l.x, IMAGES, NC_AXX_CALIBRATE_MAX, 100) != NC_OK ||
        nc_axx_graph_set_mode(l.graph, 1, NC_AXX_MODE_INTEGER) != NC_OK)
        abort();
    rows = 32;
    columns = depth = 512;
    for (i = 0; i < sizeof specs / sizeof *specs; i++) {
        bench_times t;
        nc_axx_engine *made[BENCH_LEVELS] = {NULL};
        int level;
        if (nc_axx_make(&m, specs[i], NULL) != NC_OK) abort();
        for (level = 0; level < bench_levels; level++) {
            bench_use(level);
            if (nc_axx_engine_create(&made[level], &m) != NC_OK) abort();
            l.engines[level] = made[level];
        }
        snprintf(row, sizeof row, "%s: %s", name, m.name);
        t = bench_in_turn(run_forward, &l, run_gather, &base);
        base = bench_scale(base, macs * 1e9 / ((double)rows * (double)columns * (double)depth));
        bench_print(row, t, macs, "GMAC/s", &base, "gather in turn");
        for (level = 0; level < bench_levels; level++) nc_axx_engine_destroy(made[level]);
    }
    free(l.x);
    free(l.y);
    nc_axx_graph_destroy(l.graph);
    nc_axx_graph_destroy(l.trained);
}

/* A convolution of a square kernel, padded so that a stride of 1 keeps the size. */
static nc_axx_node convolution(uint32_t out, uint32_t kernel, uint32_t stride, uint32_t groups) {
    nc_axx_node node;
    int i;
    memset(&node, 0, sizeof node);
    node.kind = NC_AXX_NODE_CONV2D;
    node.out = out;
    node.groups = groups;
    node.no_bias = 1;
    for (i = 0; i < 4; i++) {
        node.kernel[i % 2] = kernel;
        node.stride[i % 2] = stride;
        node.padding[i] = kernel / 2;
    }
    return node;
}

/* The layers of ResNet-20 and MobileNetV2 on CIFAR, of ViT-Small, and a decoder's. */
static void layers(void) {
    static const uint32_t both[] = {0, 0};
    nc_axx_node node = convolution(16, 3, 1, 1);
    layer_rows("conv 16 x 32^2, 3 x 3", 16, 32, 32, &node);
    node = convolution(64, 3, 1, 1);
    layer_rows("conv 64 x 8^2, 3 x 3", 64, 8, 8, &node);
    node = convolution(144, 1, 1, 1);
    layer_rows("conv 24 -> 144 x 32^2, 1 x 1", 24, 32, 32, &node);
    node = convolution(96, 3, 1, 96);
    layer_rows("depthwise 96 x 32^2", 96, 32, 32, &node);
    node = convolution(144, 3, 2, 144);
    layer_rows("depthwise 144 x 32^2 / 2", 144, 32, 32, &node);
    node = convolution(384, 3, 1, 384);
    layer_rows("depthwise 384 x 8^2", 384, 8, 8, &node);
    node = convolution(960, 3, 1, 960);
    layer_rows("depthwise 960 x 4^2", 960, 4, 4, &node);
    node = convolution(32, 4, 2, 1);
    node.kind = NC_AXX_NODE_CONV2D_TRANSPOSED;
    memset(node.padding, 0, sizeof node.padding);
    layer_rows("transposed 64 -> 32 x 8^2 x 2", 64, 8, 8, &node);
    memset(&node, 0, sizeof node);
    node.kind = NC_AXX_NODE_LINEAR;
    node.out = 1536;
    layer_rows("linear 197 x 384 -> 1536", 197, 384, 0, &node);
    memset(&node, 0, sizeof node);
    node.kind = NC_AXX_NODE_MATMUL;
    node.inputs = both;
    node.input_count = 2;
    node.by_columns = 1;
    layer_rows("matmul 6 x (197 x 64) x (64 x 197)", 6, 197, 64, &node);
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
    wide_row(10);
    wide_row(12);
    layers();
    (void)nc_axx_make(&m, "mitchell", NULL);
    bench_row("engine of a table without structure", bench_time(run_create, NULL) * 1e3, "ms", 0,
              "");
    (void)nc_axx_make(&m, "truncated:6", NULL);
    bench_row("engine of truncated_6", bench_time(run_create, NULL) * 1e3, "ms", 0, "");
    bench_row("all metrics of a table", bench_time(run_measure, NULL) * 1e3, "ms", 0, "");
    return bench_end();
}
