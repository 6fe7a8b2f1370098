/* nc_fp4.h, sections scalar and tensor: instruction sets, scale rules, stochastic rounding, nibble
   orders, products, files. */
#include "test.h"
#include <math.h>
#include "../nc_fp4.h"

/* Values of many magnitudes, some exactly half way between codes. */
static void fill(float *x, size_t n, uint64_t *seed) {
    size_t i;
    for (i = 0; i < n; i++) {
        uint64_t r = test_random(seed);
        x[i] = ldexpf((float)(int32_t)(r >> 32) / 2147483648.0f, (int)(r % 13) - 6);
        if (r % 11 == 0) x[i] = (float)(int)(r >> 8 & 31) * 0.25f;
        if (r % 97 == 0) x[i] = -0.0f;
    }
}

static void every_instruction_set_gives_the_same_codes_and_values(void **state) {
    enum { N = 1000 };
    static float x[N], y[3][N];
    static uint8_t codes[3][N], scales[3][N];
    uint64_t seed = 1;
    int f, rule, round, level;
    size_t n;
    (void)state;
    for (f = NC_FP4_E2M1; f < NC_FP4_FORMAT_COUNT; f++)
        for (rule = 0; rule <= NC_FP4_SCALE_MSE; rule++)
            for (round = 0; round < 12; round++) {
                nc_fp4_options o = {(nc_fp4_scale_rule)rule, 0, 0, NC_FP4_AS_DEFINED, 0};
                float tensor[3];
                n = round < 3 ? N : test_random(&seed) % N;
                fill(x, N, &seed);
                if (round % 4 == 1) memset(x + 64, 0, 64 * sizeof *x);
                if (round % 4 == 2) x[5] = INFINITY, x[200] = NAN, x[300] = 1e38f, x[310] = 1e-40f;
                memset(codes, 0xEE, sizeof codes);
                memset(scales, 0xEE, sizeof scales);
                memset(y, 0xEE, sizeof y);
                for (level = 0; level < 3; level++) {
                    if (nc_fp4_set_simd(level) != level) break;
                    assert_int_equal(nc_fp4_quantize_with((nc_fp4_format)f, &o, x, n, codes[level],
                                                          scales[level], &tensor[level]),
                                     NC_OK);
                    assert_int_equal(nc_fp4_dequantize((nc_fp4_format)f, codes[level],
                                                       scales[level], tensor[level], n, y[level]),
                                     NC_OK);
                    assert_memory_equal(codes[0], codes[level], N);
                    assert_memory_equal(scales[0], scales[level], N);
                    assert_memory_equal(&tensor[0], &tensor[level], 4);
                    assert_memory_equal(y[0], y[level], sizeof y[0]);
                }
            }
    (void)nc_fp4_set_simd(-1);
}

/* Plain E2M1 over every float16, on every instruction set, and the neighbours of every midpoint. */
static void midpoints_and_all_float16_are_rounded_alike(void **state) {
    static float x[65536 + 64];
    static uint8_t codes[3][32768 + 32];
    static const float middle[7] = {0.25f, 0.75f, 1.25f, 1.75f, 2.5f, 3.5f, 5.0f};
    uint32_t h, n = 65536, i;
    float unused;
    (void)state;
    for (h = 0; h < 65536; h++) {
        uint32_t exponent = h >> 10 & 31, mantissa = h & 1023;
        x[h] = exponent == 31 ? (mantissa ? NAN : INFINITY)
               : exponent     ? ldexpf((float)(1024 + mantissa), (int)exponent - 25)
                              : ldexpf((float)mantissa, -24);
        if (h >> 15) x[h] = -x[h];
    }
    for (i = 0; i < 7; i++) {
        x[n++] = middle[i];
        x[n++] = nextafterf(middle[i], 9.0f);
        x[n++] = nextafterf(middle[i], 0.0f);
        x[n++] = -middle[i];
    }
    for (i = 0; i < 3; i++) {
        if (nc_fp4_set_simd((int)i) != (int)i) break;
        assert_int_equal(nc_fp4_quantize(NC_FP4_E2M1, x, n, codes[i], NULL, &unused), NC_OK);
        assert_int_equal(nc_fp4_quantize(NC_FP4_E2M1, x, 31744, codes[i], NULL, &unused), NC_OK);
        assert_memory_equal(codes[0], codes[i], n / 2);
    }
    (void)nc_fp4_set_simd(-1);
    for (h = 0; h < n; h++)
        assert_int_equal(codes[0][h / 2] >> (h % 2 * 4) & 15, nc_fp4_encode(x[h]));
}

/* The middles between values and their neighbours, in blocks of scale 1. */
static void limits_of_tables_are_searched_alike(void **state) {
    enum { N = 64 * 24 };
    static float x[N];
    static uint8_t codes[N / 2], scales[N / 16];
    float unused;
    int f, level;
    size_t i;
    (void)state;
    for (f = NC_FP4_NF4; f <= NC_FP4_BNB; f++) {
        float (*decode)(uint8_t) = f == NC_FP4_NF4 ? nc_fp4_nf4_decode : nc_fp4_bnb_decode;
        uint8_t (*encode)(float) = f == NC_FP4_NF4 ? nc_fp4_nf4_encode : nc_fp4_bnb_encode;
        for (i = 0; i < N; i++) {
            const float middle = (decode((uint8_t)(i / 6 % 16)) + decode((uint8_t)(i / 96))) / 2;
            const float by = (float)((int)(i % 6) - 2) * 6e-8f;
            x[i] = i % 64 == 63 ? -1.0f : fmaxf(-1.0f, fminf(1.0f, middle + middle * by));
        }
        for (level = 0; level < 3; level++) {
            if (nc_fp4_set_simd(level) != level) break;
            assert_int_equal(nc_fp4_quantize((nc_fp4_format)f, x, N, codes, scales, &unused),
                             NC_OK);
            for (i = 0; i < N; i++)
                assert_int_equal(codes[i / 2] >> (i % 2 * 4) & 15, encode(x[i]));
        }
    }
    (void)nc_fp4_set_simd(-1);
}

static void scale_rules_do_what_they_say(void **state) {
    static const struct {
        float absmax;
        int floor_, ceil_, even;
    } cases[] = {{4.0f, 127, 127, 127}, {6.0f, 127, 127, 127},  {6.5f, 127, 128, 127},
                 {7.0f, 127, 128, 128}, {7.99f, 127, 128, 128}, {8.0f, 128, 128, 128},
                 {1.0f, 125, 125, 125}, {1.6f, 125, 126, 125},  {1.75f, 125, 126, 126}};
    size_t i;
    (void)state;
    for (i = 0; i < sizeof cases / sizeof *cases; i++) {
        nc_fp4_options o = {NC_FP4_SCALE_FLOOR, 0, 0, NC_FP4_AS_DEFINED, 0};
        uint8_t codes[16], scale;
        float x[32] = {0}, unused;
        x[9] = -cases[i].absmax;
        assert_int_equal(nc_fp4_quantize_with(NC_FP4_MXFP4, &o, x, 32, codes, &scale, &unused), 0);
        assert_int_equal(scale, cases[i].floor_);
        o.rule = NC_FP4_SCALE_CEIL;
        assert_int_equal(nc_fp4_quantize_with(NC_FP4_MXFP4, &o, x, 32, codes, &scale, &unused), 0);
        assert_int_equal(scale, cases[i].ceil_);
        o.rule = NC_FP4_SCALE_EVEN;
        assert_int_equal(nc_fp4_quantize_with(NC_FP4_MXFP4, &o, x, 32, codes, &scale, &unused), 0);
        assert_int_equal(scale, cases[i].even);
    }
}

static void the_searched_scale_is_never_worse(void **state) {
    enum { N = 4096 };
    static float x[N], y[N];
    static uint8_t codes[N], scales[N];
    uint64_t seed = 4;
    int f, rule;
    (void)state;
    fill(x, N, &seed);
    for (f = NC_FP4_MXFP4; f < NC_FP4_FORMAT_COUNT; f++) {
        double mse[4];
        for (rule = 0; rule < 4; rule++) {
            nc_fp4_options o = {(nc_fp4_scale_rule)rule, 0, 0, NC_FP4_AS_DEFINED, 0};
            nc_fp4_error_stats e;
            float tensor;
            assert_int_equal(
                nc_fp4_quantize_with((nc_fp4_format)f, &o, x, N, codes, scales, &tensor), NC_OK);
            assert_int_equal(nc_fp4_dequantize((nc_fp4_format)f, codes, scales, tensor, N, y),
                             NC_OK);
            nc_fp4_compare(x, y, N, &e);
            mse[rule] = e.mse;
        }
        assert_true(mse[NC_FP4_SCALE_MSE] <= mse[NC_FP4_SCALE_FLOOR]);
        if (f == NC_FP4_MXFP4) assert_true(mse[NC_FP4_SCALE_MSE] < mse[NC_FP4_SCALE_CEIL]);
    }
}

static void stochastic_rounding_is_unbiased_and_reproducible(void **state) {
    static const float values[8] = {0.1f, 0.25f, 0.7f, 1.1f, 1.9f, 2.3f, 3.9f, 5.5f};
    enum { N = 40000 };
    static float x[N];
    static uint8_t codes[2][N / 2];
    int v;
    (void)state;
    for (v = 0; v < 8; v++) {
        nc_fp4_options o = {NC_FP4_SCALE_FLOOR, 1, 77, NC_FP4_AS_DEFINED, 0};
        double sum = 0, step;
        float unused;
        int i, k;
        uint8_t low = 0;
        while (nc_fp4_decode((uint8_t)(low + 1)) <= values[v]) low++;
        step = (double)nc_fp4_decode((uint8_t)(low + 1)) - (double)nc_fp4_decode(low);
        for (i = 0; i < N; i++) x[i] = i % 2 ? -values[v] : values[v];
        for (k = 0; k < 2; k++)
            assert_int_equal(nc_fp4_quantize_with(NC_FP4_E2M1, &o, x, N, codes[k], NULL, &unused),
                             NC_OK);
        assert_memory_equal(codes[0], codes[1], sizeof codes[0]);
        for (i = 0; i < N; i++) {
            uint8_t code = codes[0][i / 2] >> (i % 2 * 4) & 15;
            assert_true((code & 7) == low || (code & 7) == low + 1);
            assert_int_equal(code >> 3, i % 2);
            sum += fabs((double)nc_fp4_decode(code));
        }
        /* five deviations of a mean of N coin flips of this step */
        assert_true(fabs(sum / N - (double)values[v]) < 5 * 0.5 * step / sqrt(N));
        o.seed = 78;
        assert_int_equal(nc_fp4_quantize_with(NC_FP4_E2M1, &o, x, N, codes[1], NULL, &unused), 0);
        assert_memory_not_equal(codes[0], codes[1], sizeof codes[0]);
    }
    assert_int_equal(nc_fp4_encode_stochastic(1.5f, 0), 3); /* exact values stay */
    assert_int_equal(nc_fp4_encode_stochastic(1.5f, UINT32_MAX), 3);
    assert_int_equal(nc_fp4_encode_stochastic(1.75f, 0), 4);
    assert_int_equal(nc_fp4_encode_stochastic(-1.75f, UINT32_MAX), 11);
    assert_int_equal(nc_fp4_encode_stochastic(INFINITY, 9), 7);
    assert_int_equal(nc_fp4_encode_stochastic(NAN, 9), 7);
}

static void nibble_orders_go_round(void **state) {
    static const uint8_t two[2] = {0x21, 0x43}; /* elements 1 2 3 4 */
    uint8_t out[64], codes[64];
    uint64_t seed = 6;
    int from, to;
    size_t n, i;
    (void)state;
    assert_int_equal(nc_fp4_reorder(out, two, 4, NC_FP4_LOW_FIRST, NC_FP4_HIGH_FIRST, 0), NC_OK);
    assert_int_equal(out[0], 0x12);
    assert_int_equal(out[1], 0x34);
    assert_int_equal(nc_fp4_reorder(out, two, 4, NC_FP4_LOW_FIRST, NC_FP4_SPLIT, 4), NC_OK);
    assert_int_equal(out[0], 0x31); /* 1 and 3, 2 and 4 */
    assert_int_equal(out[1], 0x42);
    for (from = 0; from < 3; from++)
        for (to = 0; to < 3; to++)
            for (n = 2; n <= 100; n += 2) {
                for (i = 0; i < 50; i++) codes[i] = (uint8_t)test_random(&seed);
                memcpy(out, codes, sizeof out);
                assert_int_equal(
                    nc_fp4_reorder(out, out, n, (nc_fp4_order)from, (nc_fp4_order)to, 32), NC_OK);
                assert_int_equal(
                    nc_fp4_reorder(out, out, n, (nc_fp4_order)to, (nc_fp4_order)from, 32), NC_OK);
                assert_memory_equal(out, codes, n / 2);
            }
    assert_int_equal(nc_fp4_reorder(out, two, 3, NC_FP4_LOW_FIRST, NC_FP4_SPLIT, 4), NC_ERR_ARG);
    assert_int_equal(nc_fp4_reorder(out, two, 4, NC_FP4_SPLIT, NC_FP4_LOW_FIRST, 3), NC_ERR_ARG);
    assert_int_equal(nc_fp4_reorder(out, two, 3, NC_FP4_LOW_FIRST, NC_FP4_HIGH_FIRST, 0), NC_OK);
}

static void products_keep_their_order_of_summation(void **state) {
    static const uint32_t shapes[][2] = {{1, 1},   {3, 31},  {4, 32},  {5, 33},
                                         {7, 200}, {9, 512}, {35, 72}, {18, 2100}};
    uint64_t seed = 8;
    int f, level;
    size_t s;
    (void)state;
    for (f = NC_FP4_E2M1; f < NC_FP4_FORMAT_COUNT; f++)
        for (s = 0; s < sizeof shapes / sizeof *shapes; s++) {
            const uint32_t rows = shapes[s][0], columns = shapes[s][1];
            float *x = malloc(rows * columns * 4), *w = malloc(rows * columns * 4), y[70];
            static float v[2 * 2100];
            static int8_t v8[2100];
            uint8_t other = 200, *scales;
            nc_fp4_tensor t, plain;
            uint32_t r, c, i;
            fill(x, rows * columns, &seed);
            fill(v, 2 * columns, &seed);
            for (c = 0; c < columns; c++) v8[c] = (int8_t)test_random(&seed);
            assert_int_equal(nc_fp4_tensor_create(&t, (nc_fp4_format)f, NULL, x, rows, columns), 0);
            assert_int_equal(nc_fp4_tensor_decode(&t, w), NC_OK);
            scales = t.scales;
            if (f == NC_FP4_E2M1) t.scales = &other; /* it has none, so none may count */
            plain = t;
            for (level = 0; level < 3; level++) {
                if (nc_fp4_set_simd(level) != level) break;
                memset(y, 0xEE, sizeof y);
                assert_int_equal(nc_fp4_matmul(&t, v, 2, y), NC_OK);
                for (i = 0; i < 2; i++)
                    for (r = 0; r < rows; r++) { /* the definition */
                        float lane[32] = {0};
                        int width, j;
                        for (c = 0; c < columns; c++)
                            lane[c % 32] =
                                fmaf(w[r * columns + c], v[i * columns + c], lane[c % 32]);
                        for (width = 16; width; width /= 2)
                            for (j = 0; j < width; j++) lane[j] += lane[j + width];
                        assert_memory_equal(&y[i * rows + r], &lane[0], 4);
                    }
                if (f == NC_FP4_NF4 || f == NC_FP4_BNB) { /* values that are no halves */
                    assert_int_equal(nc_fp4_matvec_i8(&t, v8, 0.5f, y), NC_ERR_UNSUPPORTED);
                    assert_int_equal(nc_fp4_tensor_interleave(&t), NC_ERR_UNSUPPORTED);
                    continue;
                }
                assert_int_equal(nc_fp4_matvec_i8(&plain, v8, 0.5f, y), NC_OK);
                for (r = 0; r < rows; r++) {
                    double sum = 0, size = 0;
                    for (c = 0; c < columns; c++) {
                        sum += (double)w[r * columns + c] * v8[c] * 0.5;
                        size += fabs((double)w[r * columns + c] * v8[c] * 0.5);
                    }
                    assert_true(fabs(sum - (double)y[r]) <= 1e-5 * size);
                }
                if (level) { /* and the same bits on all */
                    float again[70];
                    (void)nc_fp4_set_simd(0);
                    assert_int_equal(nc_fp4_matvec_i8(&plain, v8, 0.5f, again), NC_OK);
                    assert_memory_equal(y, again, rows * 4);
                    (void)nc_fp4_set_simd(level); /* and with the rows side by side, twice */
                    for (i = 0; i < 2; i++) {
                        assert_int_equal(nc_fp4_tensor_interleave(&t), NC_OK);
                        memset(again, 0xEE, sizeof again);
                        assert_int_equal(nc_fp4_matvec_i8(&t, v8, 0.5f, again), NC_OK);
                        assert_memory_equal(y, again, rows * 4);
                    }
                }
            }
            (void)nc_fp4_set_simd(-1);
            t.scales = scales;
            nc_fp4_tensor_free(&t);
            free(x);
            free(w);
        }
}

/* Equal bits, or NaN in both places: which NaN a sum of infinities gives is the processor's. */
static void assert_same_floats(const float *x, const float *y, size_t n) {
    size_t i;
    for (i = 0; i < n; i++)
        if (!isnan(x[i]) || !isnan(y[i])) assert_memory_equal(x + i, y + i, sizeof *x);
}

/* Every byte as the scale of a row, as files may hold them: subnormal, negative, NaN. */
static void every_scale_is_decoded_alike(void **state) {
    enum { ROWS = 256, COLUMNS = 64 };
    static float x[ROWS * COLUMNS], y[4][ROWS], w[2][ROWS * COLUMNS];
    static int8_t v[COLUMNS];
    uint64_t seed = 4;
    nc_fp4_tensor t;
    int f, level;
    size_t i;
    (void)state;
    fill(x, ROWS * COLUMNS, &seed);
    for (i = 0; i < COLUMNS; i++) v[i] = (int8_t)test_random(&seed);
    for (f = NC_FP4_MXFP4; f <= NC_FP4_NVFP4; f++)
        for (level = 0; level < 3; level++) {
            const size_t bytes = nc_fp4_scale_bytes((nc_fp4_format)f, COLUMNS);
            if (nc_fp4_set_simd(level) != level) break;
            assert_int_equal(nc_fp4_tensor_create(&t, (nc_fp4_format)f, NULL, x, ROWS, COLUMNS), 0);
            for (i = 0; i < ROWS; i++) memset(t.scales + i * bytes, (int)i, bytes);
            assert_int_equal(nc_fp4_tensor_decode(&t, w[level > 0]), NC_OK);
            assert_int_equal(nc_fp4_matvec(&t, x, y[2 * (level > 0)]), NC_OK);
            assert_int_equal(nc_fp4_matvec_i8(&t, v, 0.5f, y[2 * (level > 0) + 1]), NC_OK);
            if (level) {
                assert_same_floats(w[0], w[1], ROWS * COLUMNS);
                assert_same_floats(y[0], y[2], ROWS);
                assert_same_floats(y[1], y[3], ROWS);
                assert_int_equal(nc_fp4_tensor_interleave(&t), NC_OK);
                assert_int_equal(nc_fp4_matvec_i8(&t, v, 0.5f, y[3]), NC_OK);
                assert_same_floats(y[1], y[3], ROWS);
                t.tensor_scale = 1e-38f; /* beyond what one way takes */
                assert_int_equal(nc_fp4_matvec_i8(&t, v, 1e30f, y[3]), NC_OK);
                (void)nc_fp4_set_simd(0);
                assert_int_equal(nc_fp4_matvec_i8(&t, v, 1e30f, y[2]), NC_OK);
                assert_same_floats(y[2], y[3], ROWS);
            }
            nc_fp4_tensor_free(&t);
        }
    (void)nc_fp4_set_simd(-1);
}

/* Sums of 16 bits hold them, and so do tiles. */
static void the_largest_int8_products_are_exact(void **state) {
    enum { ROWS = 16, COLUMNS = 256 };
    static float x[ROWS * COLUMNS], y[ROWS], expected[ROWS];
    static int8_t v[COLUMNS];
    nc_fp4_tensor t;
    int f, k, level, tiles;
    size_t i;
    (void)state;
    for (f = NC_FP4_E2M1; f <= NC_FP4_NVFP4; f++)
        for (k = 0; k < 4; k++) {
            for (i = 0; i < ROWS * COLUMNS; i++) x[i] = k & 1 ? 6.0f : -6.0f;
            for (i = 0; i < COLUMNS; i++) v[i] = k & 2 ? 127 : -128;
            for (level = 0; level < 3; level++)
                for (tiles = 0; tiles < 2; tiles++) {
                    if (nc_fp4_set_simd(level) != level) break;
                    assert_int_equal(
                        nc_fp4_tensor_create(&t, (nc_fp4_format)f, NULL, x, ROWS, COLUMNS), NC_OK);
                    if (tiles) assert_int_equal(nc_fp4_tensor_interleave(&t), NC_OK);
                    assert_int_equal(nc_fp4_matvec_i8(&t, v, 1.0f, level ? y : expected), NC_OK);
                    if (level) assert_memory_equal(y, expected, sizeof y);
                    for (i = 0; i < ROWS; i++)
                        assert_true(fabs((double)expected[i] -
                                         (k & 1 ? 6.0 : -6.0) * v[0] * COLUMNS) < 0.1);
                    nc_fp4_tensor_free(&t);
                }
        }
    (void)nc_fp4_set_simd(-1);
}

static void tensors_survive_safetensors_and_npy(void **state) {
    enum { ROWS = 5, COLUMNS = 77 };
    float x[ROWS * COLUMNS], *read;
    uint64_t seed = 3;
    char *data;
    size_t bytes, i;
    nc_error err;
    uint32_t rows, columns;
    int f;
    (void)state;
    fill(x, ROWS * COLUMNS, &seed);
    for (f = NC_FP4_E2M1; f < NC_FP4_FORMAT_COUNT; f++) {
        nc_fp4_tensor t, u;
        assert_int_equal(nc_fp4_tensor_create(&t, (nc_fp4_format)f, NULL, x, ROWS, COLUMNS), NC_OK);
        assert_int_equal(nc_fp4_tensor_save(&t, "layer.weight", &data, &bytes), NC_OK);
        if (nc_fp4_tensor_load(&u, "layer.weight", data, bytes, &err) != NC_OK)
            fail_msg("%s", err.message);
        assert_int_equal(u.format, f);
        assert_int_equal(u.rows, ROWS);
        assert_int_equal(u.columns, COLUMNS);
        assert_memory_equal(u.codes, t.codes, ROWS * nc_fp4_code_bytes(COLUMNS));
        assert_memory_equal(u.scales, t.scales, ROWS * nc_fp4_scale_bytes(t.format, COLUMNS));
        assert_true(u.tensor_scale == t.tensor_scale);
        nc_fp4_tensor_free(&u);
        assert_int_equal(nc_fp4_tensor_load(&u, "other", data, bytes, &err), NC_ERR_MISMATCH);
        for (i = 0; i < bytes; i += 7)
            assert_int_not_equal(nc_fp4_tensor_load(&u, "layer.weight", data, i, &err), NC_OK);
        for (i = 0; i < 300; i++) { /* hostile headers: an error, or another tensor */
            size_t at = test_random(&seed) % 300;
            char old = data[at];
            data[at] = (char)test_random(&seed);
            if (nc_fp4_tensor_load(&u, "layer.weight", data, bytes, &err) == NC_OK)
                nc_fp4_tensor_free(&u);
            data[at] = old;
        }
        nc_fp4_free_text(data);
        nc_fp4_tensor_free(&t);
    }
    assert_int_equal(nc_fp4_npy_write(x, ROWS, COLUMNS, &data, &bytes), NC_OK);
    assert_int_equal(bytes, 128 + sizeof x);
    assert_int_equal(nc_fp4_npy_read(data, bytes, &read, &rows, &columns, &err), NC_OK);
    assert_int_equal(rows, ROWS);
    assert_int_equal(columns, COLUMNS);
    assert_memory_equal(read, x, sizeof x);
    nc_fp4_free_text((char *)read);
    for (i = 0; i < bytes; i += 5)
        assert_int_not_equal(nc_fp4_npy_read(data, i, &read, &rows, &columns, &err), NC_OK);
    for (i = 0; i < 2000; i++) {
        size_t at = test_random(&seed) % 128;
        char old = data[at];
        data[at] = (char)test_random(&seed);
        if (nc_fp4_npy_read(data, bytes, &read, &rows, &columns, &err) == NC_OK)
            nc_fp4_free_text((char *)read);
        data[at] = old;
    }
    nc_fp4_free_text(data);
}

/* Header text and data as a file; from one file several tensors. */
static nc_status load_text(nc_fp4_tensor *t, const char *name, const char *head, size_t data,
                           nc_error *err) {
    static uint8_t file[4096];
    const size_t n = strlen(head);
    size_t i;
    for (i = 0; i < 8; i++) file[i] = (uint8_t)((uint64_t)n >> (8 * i));
    memcpy(file + 8, head, n);
    for (i = 0; i < data; i++) file[8 + n + i] = (uint8_t)(0x30 + i % 64);
    return nc_fp4_tensor_load(t, name, file, 8 + n + data, err);
}

/* A file of two widths and formats beside a scalar, with the key that others use for themselves;
   one as it was written before; dtypes that say what the scales and codes are. */
static void files_of_several_tensors_are_read(void **state) {
#define TENSOR(name, dtype, shape, from, past)                                                     \
    "\"" name "\":{\"dtype\":\"" dtype "\",\"shape\":[" shape "],\"data_offsets\":[" #from         \
    "," #past "]}"
    static const char several[] =
        "{\"__metadata__\":{\"format\":\"pt\",\"a.nc_fp4\":\"mxfp4 5\",\"b.nc_fp4\":\"nvfp4 "
        "32\"}," TENSOR("b", "F4", "2,32", 8, 40) "," TENSOR("a", "U8", "2,3", 0, 6) "," TENSOR(
            "a_scale", "F8_E8M0", "2,1", 6,
            8) "," TENSOR("b_scale", "F8_E4M3", "2,2", 40,
                          44) "," TENSOR("s", "F32", "", 44, 48) "," TENSOR("b_tensor"
                                                                            "_scale",
                                                                            "F32", "", 48, 52) "}";
    static const char before[] =
        "{\"__metadata__\":{\"format\":\"e2m1\",\"columns\":\"3\"}," TENSOR("w", "U8", "4,2", 0,
                                                                            8) "}";
    static const char *const bad[] = {
        "{\"__metadata__\":{\"w.nc_fp4\":\"e2m1 3 block=7\"}," TENSOR("w", "U8", "4,2", 0, 8) "}",
        "{\"__metadata__\":{\"w.nc_fp4\":\"int4 3\"}," TENSOR("w", "U8", "4,2", 0, 8) "}",
        "{\"__metadata__\":{\"w.nc_fp4\":\"e2m1 5\"}," TENSOR("w", "U8", "4,2", 0, 8) "}",
        "{\"__metadata__\":{\"w.nc_fp4\":\"e2m1 3\"}," TENSOR("w", "I8", "4,2", 0, 8) "}",
        "{\"__metadata__\":{\"w.nc_fp4\":\"mxfp4 4\"}," TENSOR("w", "U8", "4,2", 0, 8) "}",
        "{\"__metadata__\":{\"format\":\"pt\"}," TENSOR("w", "U8", "4,2", 0, 8) "}",
        "{" TENSOR("w", "U8", "4,2", 0, 8) "}"};
    char *data, name[400];
    nc_fp4_tensor t, u;
    size_t i, bytes;
    nc_error err;
    float x[6] = {1, 2, 3, 4, 5, 6};
    (void)state;
    if (load_text(&t, "a", several, 52, &err) != NC_OK) fail_msg("%s", err.message);
    assert_int_equal(t.format, NC_FP4_MXFP4);
    assert_int_equal(t.columns, 5);
    assert_int_equal(t.codes[5], 0x35);
    assert_int_equal(t.scales[1], 0x37);
    nc_fp4_tensor_free(&t);
    if (load_text(&t, "b", several, 52, &err) != NC_OK) fail_msg("%s", err.message);
    assert_int_equal(t.format, NC_FP4_NVFP4);
    assert_int_equal(t.columns, 32);
    assert_int_equal(t.codes[0], 0x38);
    assert_int_equal(t.scales[3], 0x30 + 43);
    nc_fp4_tensor_free(&t);
    if (load_text(&t, "w", before, 8, &err) != NC_OK) fail_msg("%s", err.message);
    assert_int_equal(t.columns, 3);
    nc_fp4_tensor_free(&t);
    for (i = 0; i < sizeof bad / sizeof *bad; i++)
        if (load_text(&t, "w", bad[i], 8, &err) == NC_OK) fail_msg("taken: %s", bad[i]);
    memset(name, 'n', sizeof name); /* a name of any length */
    name[sizeof name - 1] = 0;
    assert_int_equal(nc_fp4_tensor_create(&t, NC_FP4_NVFP4, NULL, x, 2, 3), NC_OK);
    assert_int_equal(nc_fp4_tensor_save(&t, name, &data, &bytes), NC_OK);
    assert_int_equal(nc_fp4_tensor_load(&u, name, data, bytes, &err), NC_OK);
    assert_memory_equal(t.codes, u.codes, 4);
    nc_fp4_free_text(data);
    nc_fp4_tensor_free(&t);
    nc_fp4_tensor_free(&u);
#undef TENSOR
}

static void bad_arguments_are_errors(void **state) {
    nc_fp4_options o = {(nc_fp4_scale_rule)9, 0, 0, NC_FP4_AS_DEFINED, 0};
    nc_fp4_tensor t;
    float x[4] = {0}, tensor;
    uint8_t codes[4], scales[4];
    (void)state;
    assert_int_equal(nc_fp4_quantize_with(NC_FP4_NF4, &o, x, 4, codes, scales, &tensor),
                     NC_ERR_ARG);
    assert_int_equal(nc_fp4_tensor_create(&t, NC_FP4_NF4, &o, x, 2, 2), NC_ERR_ARG);
    assert_int_equal(nc_fp4_tensor_create(&t, NC_FP4_NF4, NULL, x, 0, 2), NC_ERR_ARG);
    assert_int_equal(nc_fp4_tensor_create(&t, NC_FP4_NF4, NULL, x, 1u << 31, 2), NC_ERR_LIMIT);
    assert_int_equal(nc_fp4_matvec(&t, x, x), NC_ERR_ARG);
    nc_fp4_tensor_free(&t);
    nc_fp4_tensor_free(NULL);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_instruction_set_gives_the_same_codes_and_values),
        cmocka_unit_test(midpoints_and_all_float16_are_rounded_alike),
        cmocka_unit_test(limits_of_tables_are_searched_alike),
        cmocka_unit_test(scale_rules_do_what_they_say),
        cmocka_unit_test(the_searched_scale_is_never_worse),
        cmocka_unit_test(stochastic_rounding_is_unbiased_and_reproducible),
        cmocka_unit_test(nibble_orders_go_round),
        cmocka_unit_test(products_keep_their_order_of_summation),
        cmocka_unit_test(every_scale_is_decoded_alike),
        cmocka_unit_test(the_largest_int8_products_are_exact),
        cmocka_unit_test(tensors_survive_safetensors_and_npy),
        cmocka_unit_test(files_of_several_tensors_are_read),
        cmocka_unit_test(bad_arguments_are_errors),
    };
    return cmocka_run_group_tests_name("fp4 tensor", tests, NULL, NULL);
}
