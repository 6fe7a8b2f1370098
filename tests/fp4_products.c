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

static void bad_products_are_errors(void **state) {
    static const uint32_t beyond[2] = {1, 2};
    nc_fp4_product_options o;
    nc_fp4_tensor t;
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
    nc_fp4_tensor_free(&t);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_product_is_its_definition),
        cmocka_unit_test(what_fills_up_adds_nothing),
        cmocka_unit_test(bad_products_are_errors),
    };
    return cmocka_run_group_tests_name("fp4 products", tests, NULL, NULL);
}
