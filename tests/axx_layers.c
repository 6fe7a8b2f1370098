/* nc_axx.h, sections engine and layers: sums of products on every path, layers against the naive
   integer loop, gradients against differences of the exact layer. */
#include "test.h"
#include <math.h>
#include "../nc_axx.h"

static nc_axx_mult m;

static void make(const char *spec) {
    nc_error err;
    if (nc_axx_make(&m, spec, &err) != NC_OK) fail_msg("%s: %s", spec, err.message);
}

static nc_axx_engine *engine_of(const char *spec) {
    nc_axx_engine *e;
    make(spec);
    assert_int_equal(nc_axx_engine_create(&e, &m), NC_OK);
    return e;
}

static void random_bytes(uint8_t *x, size_t n, uint64_t *seed) {
    size_t i;
    for (i = 0; i < n; i++) x[i] = (uint8_t)(test_random(seed) >> 24);
}

/* A byte as the multiplier's operand. */
static int operand(uint8_t byte, int is_unsigned) { return is_unsigned ? byte : (int8_t)byte; }

static int32_t naive(const uint8_t *x, const uint8_t *w, size_t k) {
    int32_t sum = 0;
    size_t i;
    for (i = 0; i < k; i++)
        sum += nc_axx_product(&m, operand(x[i], m.a_unsigned), operand(w[i], m.b_unsigned));
    return sum;
}

static const char *const specs[] = {"exact",
                                    "exact+unsigned",
                                    "truncated:2",
                                    "truncated:4",
                                    "truncated:6",
                                    "truncated:9",
                                    "broken_array:2:6",
                                    "kulkarni:7",
                                    "drum:4",
                                    "mitchell",
                                    "mitchell+unsigned",
                                    "iterative_log:1",
                                    "roba",
                                    "error_tolerant:4",
                                    "truncated:6+unsigned+compensated",
                                    "static_segment:5"};

static void sums_equal_the_naive_loop_on_every_path(void **state) {
    static const size_t shapes[][3] = {{1, 1, 1},    {3, 7, 5},   {7, 8, 4},
                                       {5, 17, 33},  {13, 70, 9}, {6, 300, 40},
                                       {2, 64, 600}, {61, 65, 3}, {4, 9, 0}};
    uint64_t seed = 1;
    size_t s, p;
    int level, way;
    (void)state;
    for (p = 0; p < sizeof specs / sizeof *specs + 1; p++) {
        make(p < sizeof specs / sizeof *specs ? specs[p] : "exact");
        if (p == sizeof specs / sizeof *specs) /* any table: no structure to be found */
            for (s = 0; s < 65536; s++) m.table[s] = (int32_t)(test_random(&seed) >> 16) % 32768;
        for (s = 0; s < sizeof shapes / sizeof *shapes; s++) {
            const size_t rows = shapes[s][0], n = shapes[s][1], k = shapes[s][2];
            uint8_t *x = malloc(rows * k + 1), *w = malloc(n * k + 1);
            int32_t *sums = malloc(rows * n * sizeof *sums);
            random_bytes(x, rows * k, &seed);
            random_bytes(w, n * k, &seed);
            for (way = 0; way < 4; way++) { /* the table alone, the engine on every level */
                nc_axx_engine *e;
                size_t bytes, i, j;
                void *work;
                level = nc_axx_set_simd(way ? way - 1 : 2);
                assert_int_equal(nc_axx_engine_create_with(&e, &m, way ? 8 : -1), NC_OK);
                bytes = nc_axx_gemm_work_bytes(e, rows, n, k);
                work = malloc(bytes);
                memset(sums, 0x55, rows * n * sizeof *sums);
                assert_int_equal(nc_axx_gemm(e, x, w, sums, rows, n, k, work, bytes), NC_OK);
                for (i = 0; i < rows; i++)
                    for (j = 0; j < n; j++)
                        if (sums[i * n + j] != naive(x + i * k, w + j * k, k))
                            fail_msg("%s, %zu x %zu x %zu, level %d: %d, not %d", m.name, rows, n,
                                     k, level, (int)sums[i * n + j],
                                     (int)naive(x + i * k, w + j * k, k));
                free(work);
                nc_axx_engine_destroy(e);
            }
            free(x);
            free(w);
            free(sums);
        }
    }
    (void)nc_axx_set_simd(-1);
}

/* A table of values from `low` up to low + most without structure, and the last of them at (3, 5). */
static void unstructured(int32_t low, uint32_t most, uint64_t *seed) {
    size_t i;
    make("exact+unsigned");
    for (i = 0; i < 65536; i++)
        m.table[i] = low + (int32_t)((test_random(seed) >> 8) % ((uint64_t)most + 1));
    m.table[3 * 256 + 5] = low + (int32_t)most;
    m.table[5 * 256 + 3] = low;
}

/* Look-ups are summed in words, of 8 and 16 bits, one, two or four at a time: none may carry. */
static void look_ups_of_the_largest_values_do_not_carry(void **state) {
    static const struct {
        int32_t low;
        uint32_t most;
    } ranges[] = {{0, 63},       {-64, 64},  {0, 127},          {3, 128},        {0, 255},
                  {-900, 256},   {0, 16383}, {0, 16384},        {-16000, 32767}, {0, 32768},
                  {-500, 65535}, {0, 65536}, {-999999, 1999999}};
    static const size_t shapes[][2] = {{17, 1031}, {1031, 17}, {9, 40}};
    enum { K = 1030 };
    uint8_t *x = malloc(1031 * K), *w = malloc(1031 * K);
    int32_t *sums = malloc(1031 * 17 * sizeof *sums), *right = malloc(1031 * 17 * sizeof *right);
    uint64_t seed = 5;
    size_t t, s, i, j, k;
    int made, run;
    (void)state;
    random_bytes(x, 1031 * K, &seed);
    random_bytes(w, 1031 * K, &seed);
    for (k = 0; k < K; k++) { /* the largest and the least value throughout */
        x[8 * K + k] = w[16 * K + k] = 3;
        w[8 * K + k] = x[16 * K + k] = 5;
    }
    for (t = 0; t < sizeof ranges / sizeof *ranges; t++) {
        unstructured(ranges[t].low, ranges[t].most, &seed);
        for (s = 0; s < sizeof shapes / sizeof *shapes; s++) {
            const size_t rows = shapes[s][0], n = shapes[s][1];
            for (i = 0; i < rows; i++)
                for (j = 0; j < n; j++) {
                    int32_t sum = 0;
                    for (k = 0; k < K; k++)
                        sum += m.table[(size_t)x[i * K + k] * 256 + w[j * K + k]];
                    right[i * n + j] = sum;
                }
            for (made = 1; made < 3; made++) /* an engine serves every level */
                for (run = 0; run < 3; run++) {
                    nc_axx_engine *e;
                    size_t bytes;
                    void *work;
                    (void)nc_axx_set_simd(made);
                    assert_int_equal(nc_axx_engine_create(&e, &m), NC_OK);
                    (void)nc_axx_set_simd(run);
                    bytes = nc_axx_gemm_work_bytes(e, rows, n, K);
                    work = malloc(bytes);
                    memset(sums, 0x55, rows * n * sizeof *sums);
                    assert_int_equal(nc_axx_gemm(e, x, w, sums, rows, n, K, work, bytes), NC_OK);
                    if (memcmp(sums, right, rows * n * sizeof *sums) != 0)
                        fail_msg("%u values, %zu x %zu, made at %d, run at %d",
                                 (unsigned)ranges[t].most, rows, n, made, run);
                    free(work);
                    nc_axx_engine_destroy(e);
                }
        }
    }
    (void)nc_axx_set_simd(-1);
    free(x);
    free(w);
    free(sums);
    free(right);
}

static void structure_is_found_and_named(void **state) {
    static const struct {
        const char *spec;
        uint32_t products, planes;
        const char *text;
    } found[] = {{"exact", 1, 0, "1 product"},
                 {"exact+unsigned", 1, 0, "1 product"},
                 {"broken_array:3:0", 1, 0, "1 product"},
                 {"kulkarni:7", 2, 0, "2 products"},
                 {"roba", 2, 0, "2 products"},
                 {"static_segment:5", 1, 0, "1 product"},
                 {"iterative_log:1", 2, 0, "2 products"}};
    nc_axx_engine_info info;
    nc_axx_engine *e;
    size_t i;
    (void)state;
    for (i = 0; i < sizeof found / sizeof *found; i++) {
        e = engine_of(found[i].spec);
        nc_axx_engine_describe(e, &info);
        assert_int_equal(info.products, found[i].products);
        assert_int_equal(info.planes, found[i].planes);
        assert_string_equal(info.text, found[i].text);
        nc_axx_engine_destroy(e);
    }
    e = engine_of("mitchell");
    nc_axx_engine_describe(e, &info);
    assert_int_equal(info.planes, 2);
    assert_int_equal(info.largest, 16384);
    nc_axx_engine_destroy(e);
    e = engine_of("truncated:2"); /* three products, or one and a look-up, as the level has it */
    nc_axx_engine_describe(e, &info);
    assert_true(info.products == 3 ? info.planes == 0 : info.products == 1 && info.planes == 1);
    nc_axx_engine_destroy(e);
    make("exact");
    m.table[5] = INT32_MIN; /* too large for anything but the table */
    assert_int_equal(nc_axx_engine_create(&e, &m), NC_OK);
    nc_axx_engine_describe(e, &info);
    assert_int_equal(info.planes, 4);
    assert_int_equal(info.largest, INT32_MAX);
    nc_axx_engine_destroy(e);
}

static void linear_equals_the_naive_integer_loop(void **state) {
    enum { R = 5, K = 37, O = 11 };
    uint8_t x[R * K], w[O * K];
    float scale[O], bias[O], y[R * O];
    uint64_t seed = 9;
    size_t p, bytes;
    void *work;
    int r, o;
    (void)state;
    for (p = 0; p < sizeof specs / sizeof *specs; p++) {
        nc_axx_engine *e = engine_of(specs[p]);
        random_bytes(x, sizeof x, &seed);
        random_bytes(w, sizeof w, &seed);
        for (o = 0; o < O; o++) {
            scale[o] = (float)o; /* scale 0: the product counts as 0 */
            bias[o] = (float)o / 3;
        }
        bytes = nc_axx_linear_work_bytes(e, R, K, O);
        work = malloc(bytes);
        assert_int_equal(nc_axx_linear(e, x, 3.7f, w, scale, bias, y, R, K, O, work, bytes), NC_OK);
        for (r = 0; r < R; r++)
            for (o = 0; o < O; o++) {
                const int sum = naive(x + r * K, w + o * K, K);
                const float expected = o ? (float)sum / (3.7f * scale[o]) + bias[o] : bias[o];
                assert_memory_equal(&expected, &y[r * O + o], 4);
            }
        assert_int_equal(nc_axx_linear(NULL, x, 1, w, scale, bias, y, R, K, O, work, bytes),
                         NC_ERR_ARG);
        assert_int_equal(nc_axx_linear(e, x, 1, w, scale, bias, y, R, K, O, work, bytes - 1),
                         NC_ERR_ARG);
        assert_int_equal(nc_axx_gemm(e, x, w, (int32_t *)y, 0, 0, 1 << 20, work, bytes),
                         NC_ERR_LIMIT);
        free(work);
        nc_axx_engine_destroy(e);
    }
}

static void products_of_activations_equal_the_naive_loop(void **state) {
    enum { B = 3, M = 6, N = 19, K = 10 };
    uint8_t a[B * M * K], b[B * N * K], turned[B * N * K];
    float y[B * M * N];
    uint64_t seed = 4;
    size_t p, i, j, c, bytes;
    int by_rows;
    (void)state;
    for (p = 0; p < sizeof specs / sizeof *specs; p++) {
        nc_axx_engine *e = engine_of(specs[p]);
        void *work = malloc(bytes = nc_axx_matmul_work_bytes(e, M, N, K));
        random_bytes(a, sizeof a, &seed);
        random_bytes(b, sizeof b, &seed);
        for (c = 0; c < B; c++)
            for (i = 0; i < N; i++)
                for (j = 0; j < K; j++) turned[c * N * K + j * N + i] = b[c * N * K + i * K + j];
        for (by_rows = 0; by_rows < 2; by_rows++) {
            memset(y, 0x55, sizeof y);
            assert_int_equal(nc_axx_matmul(e, a, 2.5f, by_rows ? turned : b, 0.75f, by_rows, y, B,
                                           M, N, K, work, bytes),
                             NC_OK);
            for (c = 0; c < B; c++)
                for (i = 0; i < M; i++)
                    for (j = 0; j < N; j++) {
                        const float expected =
                            (float)naive(a + (c * M + i) * K, b + (c * N + j) * K, K) /
                            (2.5f * 0.75f);
                        assert_memory_equal(&expected, &y[(c * M + i) * N + j], 4);
                    }
        }
        free(work);
        nc_axx_engine_destroy(e);
    }
}

/* Shape classes of convolutions. */
static const nc_axx_conv shapes[] = {
    {2, 3, 7, 9, 5, 3, 3, 1, 1, 0, 0, 1, 1, 1, 0, 0},   /* plain */
    {1, 3, 8, 8, 20, 3, 3, 2, 2, 1, 1, 1, 1, 1, 0, 0},  /* stride and padding */
    {1, 2, 11, 6, 9, 3, 2, 2, 1, 2, 1, 2, 3, 1, 0, 0},  /* dilation, all different */
    {2, 6, 5, 5, 4, 2, 2, 0, 0, 1, 0, 0, 0, 2, 0, 0},   /* groups; zeros mean one */
    {1, 4, 6, 5, 8, 3, 3, 1, 1, 1, 1, 1, 1, 4, 0, 0},   /* depthwise with two outputs each */
    {3, 5, 1, 1, 7, 1, 1, 1, 1, 0, 0, 1, 1, 1, 0, 0},   /* a point */
    {1, 1, 3, 3, 1, 5, 5, 1, 1, 3, 2, 1, 1, 1, 0, 0},   /* kernel larger than the image */
    {1, 3, 8, 8, 6, 3, 3, 2, 2, 0, 0, 1, 1, 1, 1, 1},   /* TensorFlow's 'same': padded at the end */
    {1, 4, 6, 5, 8, 3, 2, 1, 2, 2, 1, 1, 1, 2, -1, -1}, /* less at the end */
    {2, 3, 9, 14, 3, 3, 5, 2, 3, 2, 1, 1, 2, 3, 1, 0},  /* depthwise, all different */
    {5, 4, 21, 19, 6, 3, 3, 1, 1, 1, 1, 1, 1, 2, 0, 0}, /* two images a product, the last alone */
    {3, 7, 17, 34, 7, 4, 3, 2, 1, 0, 5, 1, 1, 7, 0, 0}, /* depthwise, padded beyond the kernel */
};
enum { SHAPES = sizeof shapes / sizeof *shapes };

static size_t or_one(size_t x) { return x ? x : 1; }

/* Rows and columns of every shape's output by PyTorch's formula, with ZeroPad2d before it. */
static void padding_may_differ_at_the_end(void **state) {
    static const size_t sizes[SHAPES][2] = {{5, 7}, {4, 4}, {6, 5}, {6, 4}, {6, 5},   {1, 1},
                                            {5, 3}, {4, 4}, {7, 3}, {6, 3}, {21, 19}, {7, 42}};
    nc_axx_conv shape = shapes[1];
    size_t s, h, w;
    (void)state;
    for (s = 0; s < SHAPES; s++) {
        assert_int_equal(nc_axx_conv_output(&shapes[s], 0, &h, &w), NC_OK);
        assert_int_equal(h, sizes[s][0]);
        assert_int_equal(w, sizes[s][1]);
    }
    shape.extra_h = -2; /* below no padding at all */
    assert_int_equal(nc_axx_conv_output(&shape, 0, &h, &w), NC_ERR_ARG);
    shape.extra_h = 5000;
    assert_int_equal(nc_axx_conv_output(&shape, 0, &h, &w), NC_ERR_LIMIT);
    shape.extra_h = -5000;
    assert_int_equal(nc_axx_conv_output(&shape, 1, &h, &w), NC_ERR_LIMIT);
}

/* Input place of a tap for output (h, w), or -1. */
static long tap(const nc_axx_conv *s, size_t c, size_t i, size_t j, size_t h, size_t w) {
    const long y = (long)(h * or_one(s->stride_h) + i * or_one(s->dilation_h)) - (long)s->padding_h;
    const long x = (long)(w * or_one(s->stride_w) + j * or_one(s->dilation_w)) - (long)s->padding_w;
    if (y < 0 || x < 0 || y >= (long)s->height || x >= (long)s->width) return -1;
    return ((long)c * (long)s->height + y) * (long)s->width + x;
}

static void convolution_equals_the_naive_loop(const nc_axx_engine *e, const nc_axx_conv *shape,
                                              int with_bias, uint64_t *seed) {
    const size_t groups = or_one(shape->groups), in = shape->in_channels / groups;
    const size_t out = shape->out_channels, taps = in * shape->kernel_h * shape->kernel_w;
    const size_t map = shape->height * shape->width;
    size_t bytes = nc_axx_conv_work_bytes(e, shape), h, w, image, o, i, j, c, oh, ow;
    uint8_t *x = malloc(shape->batch * shape->in_channels * map), *weights = malloc(out * taps);
    float scale[32], bias[32], *y;
    void *work = malloc(bytes);
    nc_axx_conv fewer = *shape;
    for (fewer.batch = 1; fewer.batch < shape->batch; fewer.batch++)
        assert_true(nc_axx_conv_work_bytes(e, &fewer) <= bytes);
    assert_int_equal(nc_axx_conv_output(shape, 0, &oh, &ow), NC_OK);
    y = malloc(shape->batch * out * oh * ow * sizeof *y);
    random_bytes(x, shape->batch * shape->in_channels * map, seed);
    random_bytes(weights, out * taps, seed);
    for (o = 0; o < out; o++) {
        scale[o] = 1.5f + (float)o;
        bias[o] = (float)o - 2.0f;
    }
    assert_int_equal(
        nc_axx_conv2d(e, shape, x, 0.3f, weights, scale, with_bias ? bias : NULL, y, work, bytes),
        NC_OK);
    for (image = 0; image < shape->batch; image++)
        for (o = 0; o < out; o++)
            for (h = 0; h < oh; h++)
                for (w = 0; w < ow; w++) {
                    const size_t group = o / (out / groups);
                    const uint8_t *from = x + (image * shape->in_channels + group * in) * map;
                    const uint8_t *k = weights + o * taps;
                    int32_t sum = 0;
                    float expected;
                    for (c = 0; c < in; c++)
                        for (i = 0; i < shape->kernel_h; i++)
                            for (j = 0; j < shape->kernel_w; j++, k++) {
                                const long at = tap(shape, c, i, j, h, w);
                                sum +=
                                    nc_axx_product(&m, at < 0 ? 0 : operand(from[at], m.a_unsigned),
                                                   operand(*k, m.b_unsigned));
                            }
                    expected = (float)sum / (0.3f * scale[o]) + (with_bias ? bias[o] : 0.0f);
                    assert_memory_equal(&expected, &y[((image * out + o) * oh + h) * ow + w], 4);
                }
    free(x);
    free(y);
    free(weights);
    free(work);
}

static void convolutions_equal_the_naive_loop(void **state) {
    uint64_t seed = 12;
    size_t p, s;
    (void)state;
    for (p = 0; p < sizeof specs / sizeof *specs; p++) {
        nc_axx_engine *e = engine_of(specs[p]);
        for (s = 0; s < SHAPES; s++)
            convolution_equals_the_naive_loop(e, &shapes[s], s % 2 != 0, &seed);
        nc_axx_engine_destroy(e);
    }
}

/* What the ways of depthwise layers meet: kernels of every width, maps in planes, bands and piles,
 * rows that are alone. */
static void depthwise_convolutions_equal_the_naive_loop(void **state) {
    static const nc_axx_conv cases[] = {
        {3, 3, 15, 14, 3, 3, 3, 1, 1, 1, 1, 1, 1, 3, 0, 0}, /* an odd number of rows */
        {3, 2, 14, 14, 2, 2, 1, 1, 1, 0, 0, 1, 1, 2, 0, 0}, /* a column */
        {3, 2, 14, 15, 4, 3, 2, 1, 1, 1, 1, 1, 1, 2, 0, 0}, /* two outputs a channel */
        {3, 2, 14, 16, 6, 7, 4, 1, 1, 3, 1, 1, 1, 2, 0, 0}, /* three, the highest kernel */
        {3, 2, 16, 14, 2, 5, 5, 1, 1, 2, 2, 1, 1, 2, 0, 0}, /* taps in two vectors */
        {2, 2, 20, 20, 2, 4, 8, 1, 1, 1, 4, 1, 1, 2, 0, 0}, /* the widest kernel */
        {2, 2, 24, 20, 2, 8, 9, 1, 1, 4, 4, 1, 1, 2, 0, 0}, /* one beyond both */
        {2, 2, 30, 30, 2, 3, 3, 1, 1, 4, 6, 1, 1, 2, 0, 0}, /* padded beyond the kernel */
        {2, 3, 15, 67, 3, 3, 3, 2, 2, 1, 1, 1, 1, 3, 0, 0}, /* four planes */
        {2, 3, 16, 20, 3, 5, 3, 3, 3, 2, 1, 1, 1, 3, 0, 0}, /* nine */
        {2, 2, 16, 20, 2, 2, 2, 5, 5, 0, 0, 1, 1, 2, 0, 0}, /* some that no tap reads */
        {9, 2, 32, 30, 2, 5, 3, 3, 3, 2, 1, 1, 1, 2, 0, 0}, /* enough places for vectors, */
        {3, 2, 30, 40, 4, 7, 8, 2, 2, 3, 4, 1, 1, 2, 0, 0}, /* kernels of four sizes, */
        {4, 2, 20, 30, 2, 2, 5, 1, 2, 0, 2, 1, 1, 2, 0, 0}, /* in one direction only */
        {2, 2, 20, 20, 2, 3, 3, 1, 1, 2, 2, 2, 2, 2, 0, 0}, /* dilation */
        {2, 2, 19, 18, 2, 3, 2, 2, 3, 2, 2, 3, 2, 2, 0, 0}, /* and strides, all different */
        {600, 2, 1, 1, 2, 3, 3, 1, 1, 1, 1, 1, 1, 2, 0, 0}, /* piles of images, width 1 */
        {50, 3, 4, 4, 3, 3, 3, 1, 1, 1, 1, 1, 1, 3, 0, 0},  /* width 4 */
        {3, 20, 4, 4, 20, 3, 3, 1, 1, 1, 1, 1, 1, 20, 0,
         0}, /* blocks of groups, the last smaller */
        {1, 31, 5, 4, 31, 3, 3, 2, 2, 1, 1, 1, 1, 31, 0, 0}, /* of one image */
        {9, 3, 8, 8, 3, 3, 3, 1, 1, 1, 1, 1, 1, 3, -1, 1},   /* width 8; less, more at the end */
        {1, 2, 300, 4, 2, 3, 3, 1, 1, 1, 1, 1, 1, 2, 0, 0},  /* bands */
        {1, 1, 2, 1500, 1, 3, 3, 1, 1, 1, 1, 1, 1, 1, 0, 0}, /* a row is more than a band */
    };
    static const char *const by[] = {"exact", "kulkarni:7", "mitchell", "truncated:4",
                                     "exact+unsigned"};
    const int best = nc_axx_set_simd(-1);
    uint64_t seed = 14;
    size_t p, s;
    int level;
    (void)state;
    for (p = 0; p < sizeof by / sizeof *by; p++) {
        nc_axx_engine *e = engine_of(by[p]);
        for (level = 0; level <= best; level++) {
            nc_axx_set_simd(level);
            for (s = 0; s < sizeof cases / sizeof *cases; s++)
                convolution_equals_the_naive_loop(e, &cases[s], s % 2 != 0, &seed);
        }
        nc_axx_set_simd(-1);
        nc_axx_engine_destroy(e);
    }
}

/* The shapes as transposed convolutions, some with rows added at the end. */
static nc_axx_conv transposed_shape(size_t s) {
    nc_axx_conv shape = shapes[s];
    if (shape.stride_h > 1) shape.extra_h = 1;
    shape.padding_h = shape.padding_w = s % 2;
    if (s == 5) shape.padding_h = shape.padding_w = 0;
    return shape;
}

static void transposed_convolutions_equal_the_naive_loop(void **state) {
    uint64_t seed = 13;
    size_t p, s;
    (void)state;
    for (p = 0; p < sizeof specs / sizeof *specs; p++)
        for (s = 0; s < SHAPES; s++) {
            const nc_axx_conv shape = transposed_shape(s);
            const size_t groups = or_one(shape.groups), in = shape.in_channels;
            const size_t out = shape.out_channels / groups, map = shape.height * shape.width;
            nc_axx_engine *e = engine_of(specs[p]);
            size_t bytes = nc_axx_conv_work_bytes(e, &shape), image, c, o, i, j, h, w, oh, ow, at;
            uint8_t *x = malloc(shape.batch * in * map);
            const size_t weights = in * out * shape.kernel_h * shape.kernel_w;
            uint8_t *k = malloc(weights);
            int32_t *sums;
            float *y;
            void *work = malloc(bytes);
            assert_int_equal(nc_axx_conv_output(&shape, 1, &oh, &ow), NC_OK);
            sums = calloc(shape.batch * out * groups * oh * ow, sizeof *sums);
            y = malloc(shape.batch * out * groups * oh * ow * sizeof *y);
            random_bytes(x, shape.batch * in * map, &seed);
            random_bytes(k, weights, &seed);
            assert_int_equal(
                nc_axx_conv2d_transposed(e, &shape, x, 2.0f, k, 3.0f, NULL, y, work, bytes), NC_OK);
            for (image = 0; image < shape.batch; image++)
                for (c = 0; c < in; c++)
                    for (h = 0; h < shape.height; h++)
                        for (w = 0; w < shape.width; w++)
                            for (o = 0; o < out; o++)
                                for (i = 0; i < shape.kernel_h; i++)
                                    for (j = 0; j < shape.kernel_w; j++) {
                                        const long to_y = (long)(h * or_one(shape.stride_h) +
                                                                 i * or_one(shape.dilation_h)) -
                                                          (long)shape.padding_h;
                                        const long to_x = (long)(w * or_one(shape.stride_w) +
                                                                 j * or_one(shape.dilation_w)) -
                                                          (long)shape.padding_w;
                                        const size_t group = c / (in / groups);
                                        if (to_y < 0 || to_x < 0 || to_y >= (long)oh ||
                                            to_x >= (long)ow)
                                            continue;
                                        sums[((image * out * groups + group * out + o) * oh +
                                              (size_t)to_y) *
                                                 ow +
                                             (size_t)to_x] +=
                                            nc_axx_product(
                                                &m,
                                                operand(x[((image * in + c) * shape.height + h) *
                                                              shape.width +
                                                          w],
                                                        m.a_unsigned),
                                                operand(k[((c * out + o) * shape.kernel_h + i) *
                                                              shape.kernel_w +
                                                          j],
                                                        m.b_unsigned));
                                    }
            for (at = 0; at < shape.batch * out * groups * oh * ow; at++) {
                const float expected = (float)sums[at] / 6.0f;
                assert_memory_equal(&expected, &y[at], 4);
            }
            free(x);
            free(k);
            free(sums);
            free(y);
            free(work);
            nc_axx_engine_destroy(e);
        }
}

/* Gradients of L = sum dy y of the exact layer, which is linear in each operand: a unit of a byte
   more changes L by gradient / scale. */
typedef struct problem {
    const nc_axx_conv *shape;
    int kind; /* 0 linear, 1 matmul, 2 matmul by rows, 3 conv2d, 4 transposed */
    size_t x, w, y, bias;
    uint8_t *xs, *ws;
    float scale[64], biases[64], *ys, *dy;
    nc_axx_engine *e;
    void *work;
    size_t bytes;
} problem;

enum { ROWS = 4, WIDTH = 7, OUT = 9 };

static double loss(problem *p) {
    double sum = 0;
    size_t i;
    nc_status status;
    if (p->kind == 0)
        status = nc_axx_linear(p->e, p->xs, 2.0f, p->ws, p->scale, p->biases, p->ys, ROWS, WIDTH,
                               OUT, p->work, p->bytes);
    else if (p->kind <= 2)
        status = nc_axx_matmul(p->e, p->xs, 2.0f, p->ws, 4.0f, p->kind == 2, p->ys, 2, ROWS, OUT,
                               WIDTH, p->work, p->bytes);
    else if (p->kind == 3)
        status = nc_axx_conv2d(p->e, p->shape, p->xs, 2.0f, p->ws, p->scale, p->biases, p->ys,
                               p->work, p->bytes);
    else
        status = nc_axx_conv2d_transposed(p->e, p->shape, p->xs, 2.0f, p->ws, 4.0f, p->biases,
                                          p->ys, p->work, p->bytes);
    assert_int_equal(status, NC_OK);
    for (i = 0; i < p->y; i++) sum += (double)p->ys[i] * (double)p->dy[i];
    return sum;
}

static void check_gradients(problem *p, uint64_t *seed) {
    float *dx = malloc(p->x * 4), *dw = calloc(p->w, 4), db[64] = {0};
    const size_t per_scale = p->kind == 0 ? WIDTH : p->kind == 3 ? p->w / p->bias : p->w;
    nc_status status;
    double base;
    size_t i;
    p->xs = malloc(p->x);
    p->ws = malloc(p->w);
    p->ys = malloc(p->y * 4);
    p->dy = malloc(p->y * 4);
    p->work = malloc(p->bytes);
    random_bytes(p->xs, p->x, seed);
    random_bytes(p->ws, p->w, seed);
    for (i = 0; i < p->x; i++) p->xs[i] = (uint8_t)(p->xs[i] % 100); /* room for one unit more */
    for (i = 0; i < p->w; i++) p->ws[i] = (uint8_t)(p->ws[i] % 100);
    for (i = 0; i < p->y; i++) p->dy[i] = (float)(test_random(seed) % 17) - 8.0f;
    for (i = 0; i < 64; i++) {
        p->scale[i] = (float)(1u << i % 4);
        p->biases[i] = (float)i;
    }
    if (p->kind == 0)
        status = nc_axx_linear_backward(p->e, p->xs, 2.0f, p->ws, p->scale, p->dy, dx, dw, db, ROWS,
                                        WIDTH, OUT, p->work, p->bytes);
    else if (p->kind <= 2)
        status = nc_axx_matmul_backward(p->e, p->xs, 2.0f, p->ws, 4.0f, p->kind == 2, p->dy, dx, dw,
                                        2, ROWS, OUT, WIDTH, p->work, p->bytes);
    else if (p->kind == 3)
        status = nc_axx_conv2d_backward(p->e, p->shape, p->xs, 2.0f, p->ws, p->scale, p->dy, dx, dw,
                                        db, p->work, p->bytes);
    else
        status = nc_axx_conv2d_transposed_backward(p->e, p->shape, p->xs, 2.0f, p->ws, 4.0f, p->dy,
                                                   dx, dw, db, p->work, p->bytes);
    assert_int_equal(status, NC_OK);
    base = loss(p);
    for (i = 0; i < p->x; i++) {
        p->xs[i]++;
        assert_true(fabs((loss(p) - base) * 2.0 - (double)dx[i]) <=
                    1e-3 * (1 + fabs((double)dx[i])));
        p->xs[i]--;
    }
    for (i = 0; i < p->w; i++) {
        const double scale = p->kind == 0 || p->kind == 3 ? (double)p->scale[i / per_scale] : 4.0;
        p->ws[i]++;
        assert_true(fabs((loss(p) - base) * scale - (double)dw[i]) <=
                    1e-3 * (1 + fabs((double)dw[i])));
        p->ws[i]--;
    }
    for (i = 0; i < p->bias; i++) {
        p->biases[i] += 1.0f;
        assert_true(fabs(loss(p) - base - (double)db[i]) <= 1e-2);
        p->biases[i] -= 1.0f;
    }
    free(dx);
    free(dw);
    free(p->xs);
    free(p->ws);
    free(p->ys);
    free(p->dy);
    free(p->work);
}

static void gradients_equal_differences_of_the_exact_layer(void **state) {
    uint64_t seed = 77;
    size_t s;
    int kind, level;
    (void)state;
    for (level = 0; level < 3; level++) {
        (void)nc_axx_set_simd(level);
        for (kind = 0; kind < 5; kind++)
            for (s = 0; s < (kind < 3 ? 1 : SHAPES); s++) {
                nc_axx_conv shape = kind == 4 ? transposed_shape(s) : shapes[s];
                size_t h, w;
                problem p;
                memset(&p, 0, sizeof p);
                p.kind = kind;
                p.shape = &shape;
                p.e = engine_of("exact");
                if (kind < 3) {
                    p.x = (kind ? 2 : 1) * ROWS * WIDTH;
                    p.w = (kind ? 2 : 1) * OUT * WIDTH;
                    p.y = (kind ? 2 : 1) * ROWS * OUT;
                    p.bias = kind ? 0 : OUT;
                    p.bytes = kind ? nc_axx_matmul_work_bytes(p.e, ROWS, OUT, WIDTH)
                                   : nc_axx_linear_work_bytes(p.e, ROWS, WIDTH, OUT);
                } else {
                    assert_int_equal(nc_axx_conv_output(&shape, kind == 4, &h, &w), NC_OK);
                    p.x = shape.batch * shape.in_channels * shape.height * shape.width;
                    p.w = shape.in_channels * shape.out_channels / or_one(shape.groups) *
                          shape.kernel_h * shape.kernel_w;
                    p.y = shape.batch * shape.out_channels * h * w;
                    p.bias = shape.out_channels;
                    p.bytes = nc_axx_conv_work_bytes(p.e, &shape);
                }
                check_gradients(&p, &seed);
                nc_axx_engine_destroy(p.e);
            }
    }
    (void)nc_axx_set_simd(-1);
}

/* -- depthwise gradients: to the bit the sums that they were as products of rows of taps -- */

/* c + a b, two roundings on every processor. */
static float added(float c, float a, float b) {
    const volatile float product = a * b;
    return c + product;
}

/* Where a place of the smaller map reads a tap, in a plane of the larger; SIZE_MAX beyond it. */
static size_t tap_at(const nc_axx_conv *s, size_t small_w, size_t large_h, size_t large_w,
                     size_t place, size_t tap) {
    const size_t y = place / small_w * or_one(s->stride_h) +
                     tap / s->kernel_w * or_one(s->dilation_h) - s->padding_h;
    const size_t x = place % small_w * or_one(s->stride_w) +
                     tap % s->kernel_w * or_one(s->dilation_w) - s->padding_w;
    return y < large_h && x < large_w ? y * large_w + x : SIZE_MAX;
}

/* dx and dw of one image and group: the sum of a place of the larger map takes the smaller's places
 * in their order, one of the smaller the taps, one of the weights the places. */
static void depthwise_back(const nc_axx_conv *s, int transposed, size_t h, size_t w, size_t each,
                           const float *x, const float *weights, const float *dy, float *dx,
                           float *dw) {
    const size_t small_w = transposed ? s->width : w, taps = s->kernel_h * s->kernel_w;
    const size_t large_h = transposed ? h : s->height, large_w = transposed ? w : s->width;
    const size_t places = small_w * (transposed ? s->height : h);
    const float *small = transposed ? x : dy, *large = transposed ? dy : x;
    size_t place, tap, c;
    memset(dx, 0, (transposed ? each * places : large_h * large_w) * sizeof *dx);
    for (place = 0; place < places; place++)
        for (tap = 0; tap < taps; tap++) {
            const size_t at = tap_at(s, small_w, large_h, large_w, place, tap);
            float sum = 0;
            for (c = 0; c < each; c++) {
                const float one = at == SIZE_MAX ? 0.0f : large[at], f = weights[c * taps + tap];
                float *to = &dw[c * taps + tap];
                *to = added(*to, small[c * places + place], one);
                sum = added(sum, f, small[c * places + place]);
                if (transposed) dx[c * places + place] = added(dx[c * places + place], one, f);
            }
            if (!transposed && at != SIZE_MAX) dx[at] += sum;
        }
}

static void depthwise_layer_is_exact(const nc_axx_engine *e, nc_axx_conv s, int transposed,
                                     size_t each, int level, uint64_t seed) {
    const size_t taps = s.kernel_h * s.kernel_w, weights = s.groups * each * taps;
    size_t h, w, in, out, bytes, i, k;
    float scale[64], *dy, *dx, *dw, *want_dx, *want_dw, *x, *f;
    uint8_t *xs, *ws;
    void *work;
    s.in_channels = s.groups * (transposed ? each : 1);
    s.out_channels = s.groups * (transposed ? 1 : each);
    assert_int_equal(nc_axx_conv_output(&s, transposed, &h, &w), NC_OK);
    in = s.in_channels / s.groups * s.height * s.width;
    out = s.out_channels / s.groups * h * w;
    xs = malloc(s.batch * s.groups * in);
    x = malloc(s.batch * s.groups * in * 4);
    dx = malloc(s.batch * s.groups * in * 4);
    want_dx = malloc(in * 4);
    dy = malloc(s.batch * s.groups * out * 4);
    ws = malloc(weights);
    f = malloc(weights * 4);
    dw = calloc(weights, 4);
    want_dw = calloc(weights, 4);
    random_bytes(xs, s.batch * s.groups * in, &seed);
    random_bytes(ws, weights, &seed);
    for (i = 0; i < 64; i++) scale[i] = transposed ? 3.7f : 3.7f + (float)i;
    for (i = 0; i < s.batch * s.groups * out; i++)
        dy[i] = ((float)(test_random(&seed) >> 40) - 8388608.0f) / 1234567.0f;
    nc_axx_dequantize(x, xs, s.batch * s.groups * in, 2.3f, 0);
    for (i = 0; i < weights; i += taps) nc_axx_dequantize(f + i, ws + i, taps, scale[i / taps], 0);
    bytes = nc_axx_conv_work_bytes(e, &s);
    work = malloc(bytes);
    assert_int_equal(transposed ? nc_axx_conv2d_transposed_backward(e, &s, xs, 2.3f, ws, scale[0],
                                                                    dy, dx, dw, NULL, work, bytes)
                                : nc_axx_conv2d_backward(e, &s, xs, 2.3f, ws, scale, dy, dx, dw,
                                                         NULL, work, bytes),
                     NC_OK);
    for (i = 0; i < s.batch * s.groups; i++) {
        k = i % s.groups * each * taps;
        depthwise_back(&s, transposed, h, w, each, x + i * in, f + k, dy + i * out, want_dx,
                       want_dw + k);
        if (memcmp(dx + i * in, want_dx, in * 4))
            fail_msg("dx, transposed %d, %u each, level %d", transposed, (unsigned)each, level);
    }
    if (memcmp(dw, want_dw, weights * 4))
        fail_msg("dw, transposed %d, %u each, level %d", transposed, (unsigned)each, level);
    free(xs);
    free(x);
    free(dx);
    free(want_dx);
    free(dy);
    free(ws);
    free(f);
    free(dw);
    free(want_dw);
    free(work);
}

static void depthwise_gradients_are_sums_in_their_order(void **state) {
    static const nc_axx_conv all[] = {{2, 0, 9, 14, 0, 3, 3, 1, 1, 1, 1, 1, 1, 19, 0, 0},
                                      {3, 0, 7, 8, 0, 3, 5, 2, 3, 2, 1, 1, 2, 8, 1, -1},
                                      {1, 0, 31, 40, 0, 5, 4, 1, 2, 0, 3, 2, 1, 21, 0, 1}};
    nc_axx_engine *e = engine_of("exact");
    size_t i, each;
    int level, transposed;
    (void)state;
    for (level = 0; level < 3 && nc_axx_set_simd(level) == level; level++)
        for (i = 0; i < sizeof all / sizeof *all; i++)
            for (each = 1; each <= 3; each++)
                for (transposed = 0; transposed < 2; transposed++)
                    depthwise_layer_is_exact(e, all[i], transposed, each, level, 5 + i);
    (void)nc_axx_set_simd(-1);
    nc_axx_engine_destroy(e);
}

static void impossible_shapes_are_refused(void **state) {
    nc_axx_conv bad = shapes[0];
    size_t h, w;
    (void)state;
    bad.groups = 2; /* does not divide 3 */
    assert_int_equal(nc_axx_conv_output(&bad, 0, &h, &w), NC_ERR_ARG);
    bad = shapes[0];
    bad.kernel_h = 8;
    assert_int_equal(nc_axx_conv_output(&bad, 0, &h, &w), NC_ERR_ARG);
    bad.kernel_h = 0;
    assert_int_equal(nc_axx_conv_output(&bad, 0, &h, &w), NC_ERR_ARG);
    bad = shapes[0];
    bad.padding_w = 100;
    assert_int_equal(nc_axx_conv_output(&bad, 1, &h, &w), NC_ERR_ARG);
    bad.width = SIZE_MAX / 2;
    assert_int_equal(nc_axx_conv_output(&bad, 0, &h, &w), NC_ERR_LIMIT);
    assert_int_equal(nc_axx_conv_output(NULL, 0, &h, &w), NC_ERR_ARG);
    bad = shapes[0];
    assert_int_equal(nc_axx_conv_output(&bad, 1, &h, &w), NC_OK);
    assert_true(h == 9 && w == 11);
}

/* A null engine asks for what any engine needs: a network changes its engines. */
static void work_memory_for_any_engine_is_enough_for_each(void **state) {
    static const char *const specs[] = {"exact", "truncated:6", "drum:4", "mitchell", "mul8s_1KVL"};
    static const nc_axx_conv shape = {2, 8, 9, 9, 40, 3, 3, 1, 1, 1, 1, 1, 1, 1, 0, 0};
    nc_axx_mult *m = (nc_axx_mult *)malloc(sizeof *m);
    size_t i, rows;
    (void)state;
    assert_non_null(m);
    for (i = 0; i < sizeof specs / sizeof *specs; i++) {
        nc_axx_engine *e;
        assert_int_equal(nc_axx_make(m, specs[i], NULL), NC_OK);
        assert_int_equal(nc_axx_engine_create(&e, m), NC_OK);
        for (rows = 1; rows < 3000; rows = 3 * rows + 1) {
            assert_true(nc_axx_gemm_work_bytes(NULL, rows, 50, 70) >=
                        nc_axx_gemm_work_bytes(e, rows, 50, 70));
            assert_true(nc_axx_linear_work_bytes(NULL, rows, 33, 90) >=
                        nc_axx_linear_work_bytes(e, rows, 33, 90));
            assert_true(nc_axx_matmul_work_bytes(NULL, 20, rows, 64) >=
                        nc_axx_matmul_work_bytes(e, 20, rows, 64));
        }
        assert_true(nc_axx_conv_work_bytes(NULL, &shape) >= nc_axx_conv_work_bytes(e, &shape));
        nc_axx_engine_destroy(e);
    }
    free(m);
}

/* Exact products and a constant, or a constant alone: what no look-up gives must be counted too. */
static void constants_in_all_products_are_counted(void **state) {
    static const int32_t plus[][2] = {{1, 5}, {1, -3}, {0, 7}, {0, 0}};
    const float ones[4] = {1, 1, 1, 1};
    nc_axx_conv shape;
    uint8_t x[2 * 4 * 16 * 16], w[4 * 9];
    static float y[2][2 * 4 * 16 * 16];
    uint64_t seed = 3;
    size_t c, i, depthwise;
    int level;
    (void)state;
    random_bytes(x, sizeof x, &seed);
    random_bytes(w, sizeof w, &seed);
    memset(&shape, 0, sizeof shape);
    shape.batch = 2;
    shape.height = shape.width = 16;
    shape.kernel_h = shape.kernel_w = 3;
    shape.padding_h = shape.padding_w = 1;
    for (c = 0; c < sizeof plus / sizeof *plus; c++)
        for (depthwise = 0; depthwise < 2; depthwise++) {
            nc_axx_engine *e;
            nc_axx_engine_info info;
            size_t bytes;
            void *work;
            make("exact");
            for (i = 0; i < 65536; i++) m.table[i] = plus[c][0] * m.table[i] + plus[c][1];
            assert_int_equal(nc_axx_engine_create(&e, &m), NC_OK);
            nc_axx_engine_describe(e, &info);
            assert_int_equal(info.planes, 0);
            shape.in_channels = shape.out_channels = shape.groups = depthwise ? 4 : 1;
            bytes = nc_axx_conv_work_bytes(e, &shape);
            work = malloc(bytes);
            for (level = 0; level <= nc_axx_set_simd(-1); level++) {
                nc_axx_set_simd(level);
                memset(y[level > 0], 0, sizeof *y);
                assert_int_equal(
                    nc_axx_conv2d(e, &shape, x, 1.0f, w, ones, NULL, y[level > 0], work, bytes),
                    NC_OK);
                if (level) assert_memory_equal(y[0], y[1], sizeof *y);
            }
            if (!plus[c][0]) assert_true(y[0][17] == (float)(9 * plus[c][1]));
            nc_axx_set_simd(-1);
            nc_axx_engine_destroy(e);
            free(work);
        }
}

/* Multiples of large numbers, whose splits would leave 32 bits. */
static void no_split_leaves_32_bits(void **state) {
    uint64_t seed = 9;
    int shift, i;
    (void)state;
    for (shift = 14; shift < 20; shift++) {
        const int32_t most = (1 << (20 - shift)) - 1;
        nc_axx_engine *e;
        uint8_t x[16], w[16], work[1 << 16];
        int32_t sum;
        make("exact");
        for (i = 0; i < 65536; i++)
            m.table[i] =
                (int32_t)((uint32_t)(test_random(&seed) >> 40) % (2 * (uint32_t)most + 1)) - most;
        for (i = 0; i < 65536; i++) m.table[i] *= 1 << shift;
        assert_int_equal(nc_axx_engine_create(&e, &m), NC_OK);
        random_bytes(x, sizeof x, &seed);
        random_bytes(w, sizeof w, &seed);
        assert_true(nc_axx_gemm_work_bytes(e, 1, 1, 16) <= sizeof work);
        assert_int_equal(nc_axx_gemm(e, x, w, &sum, 1, 1, 16, work, sizeof work), NC_OK);
        assert_int_equal(sum, naive(x, w, 16));
        nc_axx_engine_destroy(e);
    }
}

/* A place of a transposed convolution sums over a kernel, not over the output's channels too. */
static void transposed_convolutions_have_room_for_their_sums(void **state) {
    nc_axx_engine *e = engine_of("exact");
    nc_axx_conv shape;
    size_t bytes;
    void *work;
    uint8_t *x, *w;
    float *y;
    (void)state;
    memset(&shape, 0, sizeof shape);
    shape.batch = shape.height = shape.width = 1;
    shape.in_channels = 128;
    shape.out_channels = 64;
    shape.kernel_h = shape.kernel_w = 4;
    bytes = nc_axx_conv_work_bytes(e, &shape);
    work = malloc(bytes);
    x = malloc(128);
    w = malloc(128 * 64 * 16);
    y = malloc(64 * 16 * sizeof *y);
    memset(x, 0x80, 128);
    memset(w, 0x80, 128 * 64 * 16);
    assert_int_equal(nc_axx_conv2d_transposed(e, &shape, x, 1.0f, w, 1.0f, NULL, y, work, bytes),
                     NC_OK);
    assert_true(y[0] == 128.0f * 16384.0f && y[64 * 16 - 1] == y[0]);
    shape.in_channels = 16384; /* 2^14 x 2^14 x 16 */
    assert_int_equal(nc_axx_conv2d_transposed(e, &shape, x, 1.0f, w, 1.0f, NULL, y, x, SIZE_MAX),
                     NC_ERR_LIMIT);
    free(work);
    free(x);
    free(w);
    free(y);
    nc_axx_engine_destroy(e);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(constants_in_all_products_are_counted),
        cmocka_unit_test(no_split_leaves_32_bits),
        cmocka_unit_test(transposed_convolutions_have_room_for_their_sums),
        cmocka_unit_test(sums_equal_the_naive_loop_on_every_path),
        cmocka_unit_test(look_ups_of_the_largest_values_do_not_carry),
        cmocka_unit_test(structure_is_found_and_named),
        cmocka_unit_test(linear_equals_the_naive_integer_loop),
        cmocka_unit_test(products_of_activations_equal_the_naive_loop),
        cmocka_unit_test(convolutions_equal_the_naive_loop),
        cmocka_unit_test(depthwise_convolutions_equal_the_naive_loop),
        cmocka_unit_test(padding_may_differ_at_the_end),
        cmocka_unit_test(transposed_convolutions_equal_the_naive_loop),
        cmocka_unit_test(gradients_equal_differences_of_the_exact_layer),
        cmocka_unit_test(depthwise_gradients_are_sums_in_their_order),
        cmocka_unit_test(impossible_shapes_are_refused),
        cmocka_unit_test(work_memory_for_any_engine_is_enough_for_each),
    };
    return cmocka_run_group_tests_name("axx layers", tests, NULL, NULL);
}
