/* nc_fp4.h, section products: batches, short floats, lists of rows, bias, transposed. On every
   instruction set the bits of the definition in the API. */
#include "test.h"
#include <math.h>
#include "../nc_fp4.h"

enum { SIDE = 70, WIDE = 1200, VECTORS = 65, VALUES = VECTORS * WIDE };

/* Values of many magnitudes. */
static void fill(float *x, size_t n, uint64_t *seed) {
    size_t i;
    for (i = 0; i < n; i++) {
        uint64_t r = test_random(seed);
        x[i] = ldexpf((float)(int32_t)(r >> 32) / 2147483648.0f, (int)(r % 13) - 6);
        if (r % 97 == 0) x[i] = -0.0f;
        if (r % 211 == 0) x[i] = 1e-40f;
    }
}

static float half_value(uint16_t h) { /* by another way than the header's */
    const int e = h >> 10 & 31, f = h & 1023;
    float v = e == 0 ? ldexpf((float)f, -24) : ldexpf((float)(f + 1024), e - 25);
    if (e == 31) v = f ? NAN : INFINITY;
    return h >> 15 ? -v : v;
}

static float bfloat_value(uint16_t b) {
    const uint32_t u = (uint32_t)b << 16;
    float v;
    memcpy(&v, &u, sizeof v);
    return v;
}

/* The nearest of a type's values, ties to even, by halving. */
static uint16_t nearest(float x, float (*value)(uint16_t), uint16_t infinite) {
    uint16_t low = 0, high = infinite;
    const double a = fabs((double)x);
    double below, above;
    while (high - low > 1) {
        const uint16_t middle = (uint16_t)((low + high) / 2);
        if ((double)value(middle) <= a)
            low = middle;
        else
            high = middle;
    }
    below = a - (double)value(low);
    /* the last step is as long as the one before it */
    above = (high == infinite ? 2 * (double)value(low) - (double)value((uint16_t)(low - 1))
                              : (double)value(high)) -
            a;
    if (above < below || (!(below < above) && (low & 1))) low = high;
    return (uint16_t)(low | (signbit(x) ? 0x8000 : 0));
}

/* The definition: w is decoded, x and y are float32. */
static float one_output(const float *w, const nc_fp4_tensor *t, const nc_fp4_product_options *o,
                        size_t rows, const float *x, size_t k, double *exact, double *size) {
    float lane[32] = {0}, sum = 0;
    size_t c, width;
    *exact = *size = 0;
    if (o->transposed) {
        for (c = 0; c < rows; c++) {
            const float v = w[(o->rows ? o->rows[c] : c) * t->columns + k];
            sum = fmaf(v, x[c], sum);
            *exact += (double)v * (double)x[c];
            *size += fabs((double)v * (double)x[c]);
        }
    } else {
        const float *row = w + (o->rows ? o->rows[k] : k) * t->columns;
        for (c = 0; c < t->columns; c++) {
            lane[c % 32] = fmaf(row[c], x[c], lane[c % 32]);
            *exact += (double)row[c] * (double)x[c];
            *size += fabs((double)row[c] * (double)x[c]);
        }
        for (width = 16; width; width /= 2)
            for (c = 0; c < width; c++) lane[c] += lane[c + width];
        sum = lane[0];
    }
    if (o->bias) {
        sum += o->bias[k];
        *exact += (double)o->bias[k];
        *size += fabs((double)o->bias[k]);
    }
    return sum;
}

static float x[VALUES], expected[VALUES], y[VALUES];
static uint16_t short_x[VALUES];

/* All levels against the definition, bit for bit, and that against float64. */
static void check_product(const nc_fp4_tensor *t, const nc_fp4_product_options *o, size_t n) {
    static float w[SIDE * WIDE];
    const size_t rows = o->rows ? o->n_rows : t->rows;
    const size_t inputs = o->transposed ? rows : t->columns;
    const size_t outputs = o->transposed ? t->columns : rows, bytes = o->y_type ? 2 : 4;
    size_t i, k;
    int level;
    assert_int_equal(nc_fp4_tensor_decode(t, w), NC_OK);
    for (i = 0; i < n; i++)
        for (k = 0; k < outputs; k++) {
            const float *v = x + (o->x_rows ? o->x_rows[i] : i) * inputs;
            double exact, size;
            const float sum = one_output(w, t, o, rows, v, k, &exact, &size);
            assert_true(fabs(exact - (double)sum) <=
                        6e-8 * (double)(inputs + 8) * size + 1e-43 * (double)inputs);
            if (o->y_type == NC_FP4_FLOAT32)
                expected[i * outputs + k] = sum;
            else
                ((uint16_t *)(void *)expected)[i * outputs + k] =
                    o->y_type == NC_FP4_FLOAT16 ? nearest(sum, half_value, 0x7C00)
                                                : nearest(sum, bfloat_value, 0x7F80);
        }
    for (level = 0; level < 3; level++) {
        if (nc_fp4_set_simd(level) != level) break;
        memset(y, 0xEE, sizeof y);
        assert_int_equal(
            nc_fp4_product(t, o, o->x_type ? (const void *)short_x : (const void *)x, n, y), NC_OK);
        assert_memory_equal(y, expected, n * outputs * bytes);
        if (n * outputs < VALUES) /* and nothing behind them */
            assert_int_equal(((uint8_t *)y)[n * outputs * bytes], 0xEE);
    }
    (void)nc_fp4_set_simd(-1);
}

/* A tensor of any kind there is: formats, block lengths, blocks across rows, scales that divide. */
static void any_tensor(nc_fp4_tensor *t, uint32_t rows, uint32_t columns, uint64_t *seed) {
    static float w[SIDE * WIDE];
    const nc_fp4_format f = (nc_fp4_format)(test_random(seed) % NC_FP4_FORMAT_COUNT);
    const uint32_t block = 32u << test_random(seed) % 8;
    fill(w, (size_t)rows * columns, seed);
    if (f >= NC_FP4_NF4 && test_random(seed) % 2)
        assert_int_equal(nc_fp4_tensor_create_blocks(t, f, NULL, block, test_random(seed) % 2 == 0,
                                                     w, rows, columns),
                         NC_OK);
    else
        assert_int_equal(nc_fp4_tensor_create(t, f, NULL, w, rows, columns), NC_OK);
    if (f == NC_FP4_NVFP4 && test_random(seed) % 2) {
        t->divides = 1;
        t->tensor_scale = 1.0f / (t->tensor_scale > 0 ? t->tensor_scale : 1.0f);
    }
}

static void every_product_is_its_definition(void **state) {
    static uint32_t rows[2 * SIDE], x_rows[VECTORS];
    static float bias[WIDE];
    uint64_t seed = 1;
    int trial;
    (void)state;
    for (trial = 0; trial < 700; trial++) {
        const uint32_t r = 1 + (uint32_t)(test_random(&seed) % SIDE);
        const uint32_t c = 1 + (uint32_t)(test_random(&seed) % (trial % 8 ? SIDE : WIDE));
        const size_t n = trial % 3 ? test_random(&seed) % 6 : test_random(&seed) % (VECTORS + 1);
        nc_fp4_product_options o;
        nc_fp4_tensor t;
        size_t i;
        memset(&o, 0, sizeof o);
        any_tensor(&t, r, c, &seed);
        fill(x, VALUES, &seed);
        fill(bias, WIDE, &seed);
        o.transposed = trial % 4 == 3;
        o.x_type = (nc_fp4_number)(test_random(&seed) % 3);
        o.y_type = (nc_fp4_number)(test_random(&seed) % 3);
        if (test_random(&seed) % 3 == 0) o.bias = bias;
        for (i = 0; i < VALUES && o.x_type; i++) {
            short_x[i] = o.x_type == NC_FP4_FLOAT16 ? nearest(x[i], half_value, 0x7C00)
                                                    : nearest(x[i], bfloat_value, 0x7F80);
            x[i] = o.x_type == NC_FP4_FLOAT16 ? half_value(short_x[i]) : bfloat_value(short_x[i]);
        }
        if (test_random(&seed) % 3 == 0) {
            o.n_rows = test_random(&seed) % (SIDE + 1);
            for (i = 0; i < o.n_rows; i++) rows[i] = (uint32_t)(test_random(&seed) % r);
            o.rows = rows;
        }
        if (test_random(&seed) % 3 == 0) {
            for (i = 0; i < n; i++) x_rows[i] = (uint32_t)(test_random(&seed) % (VECTORS - 1));
            o.x_rows = x_rows;
        }
        check_product(&t, &o, n);
        nc_fp4_tensor_free(&t);
    }
}

/* Lanes that are -0 stay so, infinities and NaN do not spread: rows, columns and vectors that only
   fill up a strip add nothing. */
static void what_fills_up_adds_nothing(void **state) {
    static float w[5 * 37], v[5 * 37];
    nc_fp4_product_options o;
    nc_fp4_tensor t;
    int level, back;
    size_t i, n;
    (void)state;
    memset(&o, 0, sizeof o);
    for (i = 0; i < 5 * 37; i++) {
        w[i] = 1;
        v[i] = i % 3 ? -1e-45f : 0;
    }
    w[3] = -1;
    assert_int_equal(nc_fp4_tensor_create(&t, NC_FP4_E2M1, NULL, w, 5, 37), NC_OK);
    for (i = 0; i < 5 * 37; i++) t.codes[i / 2] = 0x11; /* 0.5: half of the least float */
    for (back = 0; back < 2; back++)
        for (n = 1; n < 6; n++)
            for (level = 0; level < 3; level++) {
                if (nc_fp4_set_simd(level) != level) break;
                o.transposed = back;
                assert_int_equal(nc_fp4_product(&t, &o, v, n, level ? y : expected), NC_OK);
                if (level) assert_memory_equal(y, expected, n * (back ? 37 : 5) * sizeof *y);
            }
    v[0] = INFINITY;
    o.transposed = 0;
    for (level = 0; level < 3; level++) {
        if (nc_fp4_set_simd(level) != level) break;
        assert_int_equal(nc_fp4_product(&t, &o, v, 4, y), NC_OK);
        for (i = 0; i < 20; i++) assert_true(isinf(y[i]) == (i < 5));
    }
    (void)nc_fp4_set_simd(-1);
    nc_fp4_tensor_free(&t);
}

/* Codes times codes by the definition. from: null, or X whose rows are taken. */
static float coded_output(const nc_fp4_tensor *t, size_t row, const uint8_t *codes,
                          const uint8_t *scales, float x_scale, int divides, float bias,
                          double *exact, double *size) {
    const size_t block = nc_fp4_block(t->format) ? nc_fp4_block(t->format) : 32;
    const uint8_t *w = t->codes + row * nc_fp4_code_bytes(t->columns);
    const uint8_t *s = t->scales + row * nc_fp4_scale_bytes(t->format, t->columns);
    float sum = 0;
    double tensor = 1;
    size_t c, past;
    *exact = *size = 0;
    if (t->format == NC_FP4_NVFP4)
        tensor = (t->divides ? 1 / (double)t->tensor_scale : (double)t->tensor_scale) *
                 (divides ? 1 / (double)x_scale : (double)x_scale);
    for (c = 0; c < t->columns; c = past) {
        float d = 0, a = 1, b = 1;
        past = t->columns - c < block ? t->columns : c + block;
        if (t->format != NC_FP4_E2M1) {
            const size_t g = c / block;
            const int e4m3 = t->format == NC_FP4_NVFP4;
            a = e4m3 ? nc_fp4_e4m3_decode(s[g]) : nc_fp4_e8m0_decode(s[g]);
            b = e4m3 ? nc_fp4_e4m3_decode(scales[g]) : nc_fp4_e8m0_decode(scales[g]);
        }
        for (; c < past; c++) {
            const float u = nc_fp4_decode((uint8_t)(w[c / 2] >> c % 2 * 4));
            const float v = nc_fp4_decode((uint8_t)(codes[c / 2] >> c % 2 * 4));
            d += u * v;
            *exact += (double)u * (double)v * (double)a * (double)b * tensor;
            *size += fabs((double)u * (double)v * (double)a * (double)b * tensor);
        }
        sum = fmaf(d, a * b, sum);
    }
    if (t->format == NC_FP4_NVFP4) {
        sum = t->divides ? sum / t->tensor_scale : sum * t->tensor_scale;
        sum = divides ? sum / x_scale : sum * x_scale;
    }
    *exact += (double)bias;
    *size += fabs((double)bias);
    return sum + bias;
}

/* Equal bits, or NaN in both places: which NaN is the processor's. */
static void assert_same_floats(const float *a, const float *b, size_t n) {
    size_t i;
    for (i = 0; i < n; i++)
        if (!isnan(a[i]) || !isnan(b[i])) assert_memory_equal(a + i, b + i, sizeof *a);
}

/* Both ways to give X, with and without rows side by side, on all levels. */
static void check_coded(nc_fp4_tensor *t, nc_fp4_product_options *o, const nc_fp4_tensor *from,
                        size_t n, int exactly) {
    static uint8_t codes[WIDE], scales[WIDE];
    const size_t rows = o->rows ? o->n_rows : t->rows;
    size_t i, k;
    int level, tiles;
    for (i = 0; i < n; i++) {
        const size_t v = o->x_rows ? o->x_rows[i] : i;
        const uint8_t *at = codes, *by = scales;
        float x_scale;
        if (from) {
            at = from->codes + v * nc_fp4_code_bytes(t->columns);
            by = from->scales + v * nc_fp4_scale_bytes(t->format, t->columns);
            x_scale = from->tensor_scale;
        } else {
            nc_fp4_options how;
            memset(&how, 0, sizeof how);
            how.tensor_scale = o->x_tensor_scale;
            assert_int_equal(nc_fp4_quantize_with(t->format, &how, x + v * t->columns, t->columns,
                                                  codes, scales, &x_scale),
                             NC_OK);
        }
        for (k = 0; k < rows; k++) {
            double exact, size;
            expected[i * rows + k] =
                coded_output(t, o->rows ? o->rows[k] : k, at, by, x_scale, from && from->divides,
                             o->bias ? o->bias[k] : -0.0f, &exact, &size);
            if (exactly)
                assert_true(fabs(exact - (double)expected[i * rows + k]) <=
                            6e-8 * (double)(t->columns / 16 + 5) * size + 1e-43);
        }
    }
    for (tiles = 0; tiles < 2; tiles++) { /* of the second call both with tiles */
        for (level = 0; level < 3; level++) {
            if (nc_fp4_set_simd(level) != level) break;
            memset(y, 0xEE, sizeof y);
            if (from)
                assert_int_equal(nc_fp4_product_fp4(t, o, from, n, y), NC_OK);
            else
                assert_int_equal(nc_fp4_product(t, o, x, n, y), NC_OK);
            assert_same_floats(y, expected, n * rows);
            if (n * rows < VALUES) assert_int_equal(((uint8_t *)(y + n * rows))[0], 0xEE);
        }
        if (!tiles && nc_fp4_tensor_interleave(t) != NC_OK) break; /* divides */
    }
    (void)nc_fp4_set_simd(-1);
}

static void codes_times_codes_are_their_definition(void **state) {
    static float w[SIDE * WIDE], bias[SIDE * 2];
    static uint32_t rows[SIDE], x_rows[VECTORS];
    uint64_t seed = 2;
    int trial;
    (void)state;
    for (trial = 0; trial < 600; trial++) {
        const nc_fp4_format f = (nc_fp4_format)(trial % 3);
        const uint32_t r = 1 + (uint32_t)(test_random(&seed) % SIDE);
        const uint32_t c = 1 + (uint32_t)(test_random(&seed) % (trial % 8 ? SIDE : WIDE));
        const size_t n = 1 + test_random(&seed) % (trial % 16 ? 4 : VECTORS);
        const int wild = trial % 5 == 4; /* scales as no quantiser makes them */
        nc_fp4_product_options o;
        nc_fp4_tensor t, from;
        size_t i;
        memset(&o, 0, sizeof o);
        fill(w, (size_t)r * c, &seed);
        fill(x, n * c, &seed);
        fill(bias, SIDE * 2, &seed);
        assert_int_equal(nc_fp4_tensor_create(&t, f, NULL, w, r, c), NC_OK);
        assert_int_equal(nc_fp4_tensor_create(&from, f, NULL, x, (uint32_t)n, c), NC_OK);
        if (wild)
            for (i = 0; i < nc_fp4_tensor_scale_bytes(&t); i++)
                t.scales[i] = (uint8_t)test_random(&seed);
        if (wild)
            for (i = 0; i < nc_fp4_tensor_scale_bytes(&from); i++)
                from.scales[i] =
                    (uint8_t)(trial % 2 ? test_random(&seed) : test_random(&seed) % 40);
        if (f == NC_FP4_NVFP4 && trial % 4 == 0) {
            t.divides = 1;
            t.tensor_scale = 1 / t.tensor_scale;
        }
        if (f == NC_FP4_NVFP4 && trial % 7 == 0) {
            from.divides = 1;
            from.tensor_scale = 1 / from.tensor_scale;
        }
        if (f == NC_FP4_NVFP4 && trial % 9 == 0) o.x_tensor_scale = 0.0078125f;
        if (test_random(&seed) % 3 == 0) o.bias = bias;
        if (test_random(&seed) % 3 == 0) {
            o.n_rows = test_random(&seed) % (SIDE + 1);
            for (i = 0; i < o.n_rows; i++) rows[i] = (uint32_t)(test_random(&seed) % r);
            o.rows = rows;
        }
        if (test_random(&seed) % 3 == 0) {
            for (i = 0; i < n; i++) x_rows[i] = (uint32_t)(test_random(&seed) % n);
            o.x_rows = x_rows;
        }
        o.quantised = 1;
        check_coded(&t, &o, NULL, n, !wild);
        check_coded(&t, &o, &from, n, !wild);
        nc_fp4_tensor_free(&t);
        nc_fp4_tensor_free(&from);
    }
}

/* Each vector as nc_fp4_product alone does it. */
static void experts_multiply_their_own_vectors(void **state) {
    enum { COUNT = 5, ROWS = 13, COLUMNS = 150, TOKENS = 20, EACH = 2, N = TOKENS * EACH };
    static float w[ROWS * COLUMNS], bias[COUNT * COLUMNS], one[COLUMNS];
    static uint32_t expert[N], x_rows[N];
    nc_fp4_tensor experts[COUNT];
    nc_fp4_product_options o;
    uint64_t seed = 3;
    int kind, e;
    uint32_t i;
    (void)state;
    fill(bias, COUNT * COLUMNS, &seed);
    for (kind = 0; kind < 12; kind++) { /* nothing, transposed, quantised; with bias; with tokens */
        size_t outputs;
        memset(&o, 0, sizeof o);
        o.transposed = kind % 3 == 1;
        o.quantised = kind % 3 == 2;
        outputs = o.transposed ? COLUMNS : ROWS;
        fill(x, N * COLUMNS, &seed);
        for (e = 0; e < COUNT; e++) {
            fill(w, ROWS * COLUMNS, &seed);
            assert_int_equal(
                nc_fp4_tensor_create(&experts[e], NC_FP4_NVFP4, NULL, w, ROWS, COLUMNS), NC_OK);
        }
        for (i = 0; i < N; i++) {
            expert[i] = kind == 6 ? 3 : (uint32_t)(test_random(&seed) % (COUNT - 1)); /* one idle */
            x_rows[i] = i / EACH;
        }
        if (kind / 3 % 2) o.bias = bias;
        if (kind / 6) o.x_rows = x_rows;
        memset(y, 0xEE, sizeof y);
        {
            uint8_t *const idle = experts[COUNT - 1].scales; /* not read */
            experts[COUNT - 1].scales = NULL;
            assert_int_equal(nc_fp4_product_experts(experts, COUNT, expert, &o, x, N, y), NC_OK);
            experts[COUNT - 1].scales = idle;
        }
        assert_int_equal(((uint8_t *)(y + N * outputs))[0], 0xEE);
        for (i = 0; i < N; i++) {
            nc_fp4_product_options single = o;
            const uint32_t at = o.x_rows ? x_rows[i] : i;
            single.x_rows = &at;
            if (o.bias) single.bias = bias + expert[i] * outputs;
            assert_int_equal(nc_fp4_product(&experts[expert[i]], &single, x, 1, one), NC_OK);
            assert_memory_equal(one, y + i * outputs, outputs * sizeof *one);
        }
        expert[7] = COUNT;
        assert_int_equal(nc_fp4_product_experts(experts, COUNT, expert, &o, x, N, y), NC_ERR_ARG);
        expert[7] = 0;
        experts[1].rows--;
        assert_int_equal(nc_fp4_product_experts(experts, COUNT, expert, &o, x, N, y),
                         NC_ERR_MISMATCH);
        for (e = 0; e < COUNT; e++) nc_fp4_tensor_free(&experts[e]);
    }
    assert_int_equal(nc_fp4_product_experts(NULL, 0, NULL, NULL, NULL, 0, NULL), NC_OK);
}

static void bad_products_are_errors(void **state) {
    static const uint32_t beyond[2] = {1, 2};
    nc_fp4_product_options o;
    nc_fp4_tensor t, u;
    float v[8] = {0};
    (void)state;
    memset(&o, 0, sizeof o);
    assert_int_equal(nc_fp4_tensor_create(&t, NC_FP4_MXFP4, NULL, v, 2, 2), NC_OK);
    assert_int_equal(nc_fp4_product(NULL, NULL, v, 1, v + 4), NC_ERR_ARG);
    assert_int_equal(nc_fp4_product(&t, NULL, NULL, 1, v + 4), NC_ERR_ARG);
    assert_int_equal(nc_fp4_product(&t, NULL, v, 1, NULL), NC_ERR_ARG);
    assert_int_equal(nc_fp4_product(&t, NULL, NULL, 0, NULL), NC_OK);
    o.x_type = NC_FP4_NUMBER_COUNT;
    assert_int_equal(nc_fp4_product(&t, &o, v, 1, v + 4), NC_ERR_ARG);
    o.x_type = NC_FP4_FLOAT32;
    o.y_type = (nc_fp4_number)-1;
    assert_int_equal(nc_fp4_product(&t, &o, v, 1, v + 4), NC_ERR_ARG);
    o.y_type = NC_FP4_FLOAT32;
    o.rows = beyond;
    o.n_rows = 2;
    assert_int_equal(nc_fp4_product(&t, &o, v, 1, v + 4), NC_ERR_ARG);
    o.n_rows = 0;
    assert_int_equal(nc_fp4_product(&t, &o, NULL, 1, NULL), NC_OK);
    memset(&o, 0, sizeof o);
    o.quantised = 1;
    assert_int_equal(nc_fp4_product(&t, &o, v, 1, v + 4), NC_OK);
    o.transposed = 1;
    assert_int_equal(nc_fp4_product(&t, &o, v, 1, v + 4), NC_ERR_UNSUPPORTED);
    o.transposed = 0;
    assert_int_equal(nc_fp4_tensor_create(&u, NC_FP4_NF4, NULL, v, 2, 2), NC_OK);
    assert_int_equal(nc_fp4_product(&u, &o, v, 1, v + 4), NC_ERR_UNSUPPORTED);
    assert_int_equal(nc_fp4_product_fp4(&u, NULL, &u, 1, v + 4), NC_ERR_UNSUPPORTED);
    assert_int_equal(nc_fp4_product_fp4(&t, NULL, &u, 1, v + 4), NC_ERR_MISMATCH);
    assert_int_equal(nc_fp4_product_fp4(&t, NULL, &t, 2, v + 4), NC_OK);
    assert_int_equal(nc_fp4_product_fp4(&t, NULL, &t, 3, v + 4), NC_ERR_ARG);
    assert_int_equal(nc_fp4_product_fp4(&t, NULL, NULL, 1, v + 4), NC_ERR_ARG);
    nc_fp4_tensor_free(&t);
    nc_fp4_tensor_free(&u);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_product_is_its_definition),
        cmocka_unit_test(what_fills_up_adds_nothing),
        cmocka_unit_test(codes_times_codes_are_their_definition),
        cmocka_unit_test(experts_multiply_their_own_vectors),
        cmocka_unit_test(bad_products_are_errors),
    };
    return cmocka_run_group_tests_name("fp4 products", tests, NULL, NULL);
}
