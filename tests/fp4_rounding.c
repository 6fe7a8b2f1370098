/* nc_fp4.h, section rounding: GPTQ against the update of optimal brain quantisation written out, and
   the Hadamard rotation against its definition. */
#include "test.h"
#include <math.h>
#include "../nc_fp4.h"

enum { ROWS = 12, COLUMNS = 80, SAMPLES = 200 };

static float uniform(uint64_t *seed) {
    return (float)((double)(int64_t)test_random(seed) / 0x1p63);
}

/* Weights, and activations whose neighbours are alike. */
static void layer(float *w, float *x, double *hessian) {
    uint64_t seed = 7;
    size_t i, r;
    for (i = 0; i < ROWS * COLUMNS; i++) w[i] = uniform(&seed) + uniform(&seed);
    for (r = 0; r < SAMPLES; r++)
        for (i = 0; i < COLUMNS; i++)
            x[r * COLUMNS + i] = uniform(&seed) + (i ? 0.9f * x[r * COLUMNS + i - 1] : 0.0f);
    memset(hessian, 0, COLUMNS * COLUMNS * sizeof *hessian);
    assert_int_equal(nc_fp4_hessian_add(hessian, x, 50, COLUMNS), NC_OK);
    assert_int_equal(nc_fp4_hessian_add(hessian, x + 50 * COLUMNS, SAMPLES - 50, COLUMNS), NC_OK);
}

/* The inverse by Gauss and Jordan. */
static void invert(long double *h, size_t n) {
    size_t i, j, k;
    for (k = 0; k < n; k++) {
        const long double pivot = h[k * n + k];
        h[k * n + k] = 1;
        for (j = 0; j < n; j++) h[k * n + j] /= pivot;
        for (i = 0; i < n; i++) {
            const long double by = h[i * n + k];
            if (i == k) continue;
            h[i * n + k] = 0;
            for (j = 0; j < n; j++) h[i * n + j] -= by * h[k * n + j];
        }
    }
}

/* A row of E2M1 under one given scale: after each column the inverse loses its row and column. */
static void brain_surgeon(const float *w, const double *hessian, uint8_t *codes) {
    static long double h[COLUMNS * COLUMNS];
    long double v[COLUMNS], mean = 0;
    size_t i, j, k;
    for (i = 0; i < COLUMNS; i++) mean += (long double)hessian[i * (COLUMNS + 1)] / COLUMNS;
    for (i = 0; i < COLUMNS * COLUMNS; i++)
        h[i] = (long double)hessian[i] + (i % (COLUMNS + 1) ? 0 : 0.01L * mean);
    invert(h, COLUMNS);
    for (i = 0; i < COLUMNS; i++) v[i] = (long double)w[i];
    for (k = 0; k < COLUMNS; k++) {
        const long double pivot = h[k * (COLUMNS + 1)];
        long double error;
        codes[k] = nc_fp4_encode((float)v[k]);
        error = (v[k] - (long double)nc_fp4_decode(codes[k])) / pivot;
        for (i = k; i < COLUMNS; i++) v[i] -= error * h[k * COLUMNS + i];
        for (i = k + 1; i < COLUMNS; i++)
            for (j = k + 1; j < COLUMNS; j++)
                h[i * COLUMNS + j] -= h[i * COLUMNS + k] * h[k * COLUMNS + j] / pivot;
    }
}

static float w[ROWS * COLUMNS], x[SAMPLES * COLUMNS], y[ROWS * COLUMNS];
static double hessian[COLUMNS * COLUMNS];

static void gptq_is_optimal_brain_quantisation_column_by_column(void **state) {
    uint8_t codes[COLUMNS];
    nc_fp4_tensor t;
    uint64_t seed = 3;
    size_t r, i;
    (void)state;
    layer(w, x, hessian);
    for (i = 0; i < ROWS * COLUMNS; i++) w[i] = 4 * uniform(&seed);
    assert_int_equal(nc_fp4_tensor_create_gptq(&t, NC_FP4_E2M1, NULL, w, ROWS, COLUMNS, hessian, 0),
                     NC_OK);
    for (r = 0; r < ROWS; r++) {
        brain_surgeon(w + r * COLUMNS, hessian, codes);
        for (i = 0; i < COLUMNS; i++)
            assert_int_equal(t.codes[r * COLUMNS / 2 + i / 2] >> (i % 2 * 4) & 15, codes[i]);
    }
    nc_fp4_tensor_free(&t);
}

static void gptq_loses_less_of_the_outputs_in_every_format_and_rule(void **state) {
    int f, rule;
    (void)state;
    layer(w, x, hessian);
    for (f = NC_FP4_E2M1; f < NC_FP4_FORMAT_COUNT; f++)
        for (rule = 0; rule < NC_FP4_SCALE_RULE_COUNT; rule++) {
            nc_fp4_options o = {0};
            nc_fp4_tensor nearest, t;
            double before, after;
            o.rule = (nc_fp4_scale_rule)rule;
            if (rule == NC_FP4_SCALE_FOUR_SIX && f != NC_FP4_NVFP4) continue;
            assert_int_equal(nc_fp4_tensor_create(&nearest, (nc_fp4_format)f, &o, w, ROWS, COLUMNS),
                             NC_OK);
            assert_int_equal(
                nc_fp4_tensor_create_gptq(&t, (nc_fp4_format)f, &o, w, ROWS, COLUMNS, hessian, 0),
                NC_OK);
            assert_int_equal(nc_fp4_tensor_decode(&nearest, y), NC_OK);
            before = nc_fp4_layer_error(w, y, ROWS, COLUMNS, hessian);
            assert_int_equal(nc_fp4_tensor_decode(&t, y), NC_OK);
            after = nc_fp4_layer_error(w, y, ROWS, COLUMNS, hessian);
            if (!(after < 0.7 * before)) fail_msg("%d %d: %g %g", f, rule, before, after);
            nc_fp4_tensor_free(&nearest);
            nc_fp4_tensor_free(&t);
        }
}

static void gptq_of_columns_that_do_not_meet_is_nearest(void **state) {
    static double diagonal[COLUMNS * COLUMNS];
    nc_fp4_options o = {0};
    nc_fp4_tensor nearest, t;
    size_t i;
    int f;
    (void)state;
    layer(w, x, hessian);
    for (i = 0; i < COLUMNS; i++) diagonal[i * (COLUMNS + 1)] = i % 5 ? (double)(i + 1) : 0;
    o.rule = NC_FP4_SCALE_MSE;
    for (f = NC_FP4_E2M1; f < NC_FP4_FORMAT_COUNT; f++) {
        assert_int_equal(nc_fp4_tensor_create(&nearest, (nc_fp4_format)f, &o, w, ROWS, COLUMNS),
                         NC_OK);
        assert_int_equal(
            nc_fp4_tensor_create_gptq(&t, (nc_fp4_format)f, &o, w, ROWS, COLUMNS, diagonal, 0.5),
            NC_OK);
        assert_memory_equal(t.codes, nearest.codes, ROWS * COLUMNS / 2);
        assert_memory_equal(t.scales, nearest.scales,
                            ROWS * nc_fp4_scale_bytes((nc_fp4_format)f, COLUMNS));
        nc_fp4_tensor_free(&nearest);
        nc_fp4_tensor_free(&t);
    }
}

static void the_error_of_a_layer_is_that_of_its_outputs(void **state) {
    double lost = 0, whole = 0;
    size_t s, r, i;
    (void)state;
    layer(w, x, hessian);
    for (i = 0; i < ROWS * COLUMNS; i++) y[i] = nc_fp4_decode(nc_fp4_encode(w[i]));
    for (s = 0; s < SAMPLES; s++)
        for (r = 0; r < ROWS; r++) {
            double a = 0, b = 0;
            for (i = 0; i < COLUMNS; i++) {
                a += (double)w[r * COLUMNS + i] * (double)x[s * COLUMNS + i];
                b += (double)y[r * COLUMNS + i] * (double)x[s * COLUMNS + i];
            }
            lost += (a - b) * (a - b);
            whole += a * a;
        }
    assert_true(fabs(nc_fp4_layer_error(w, y, ROWS, COLUMNS, hessian) / (lost / whole) - 1) < 1e-9);
    assert_true(nc_fp4_layer_error(w, w, ROWS, COLUMNS, hessian) == 0);
    assert_true(nc_fp4_layer_error(w, NULL, ROWS, COLUMNS, hessian) == -1);
    memset(y, 0, sizeof y);
    assert_true(nc_fp4_layer_error(w, y, ROWS, COLUMNS, NULL) == 1);
}

static void hadamard_is_its_definition_and_its_own_inverse(void **state) {
    static float a[4096], b[4096];
    uint64_t seed = 5;
    uint32_t block, i, k;
    (void)state;
    for (block = 2; block <= 4096; block *= 2) {
        double norm = 0;
        for (i = 0; i < 4096; i++) a[i] = b[i] = uniform(&seed);
        for (i = 0; i < block; i++) norm += (double)a[i] * (double)a[i];
        assert_int_equal(nc_fp4_hadamard(b, 4096, block), NC_OK);
        for (i = 0; i < block; i += 1 + block / 64) {
            double sum = 0;
            for (k = 0; k < block; k++)
                sum += __builtin_popcount(i & k) % 2 ? -(double)a[k] : (double)a[k];
            assert_true(fabs(sum / sqrt((double)block) - (double)b[i]) < 1e-6 * sqrt(norm));
        }
        assert_int_equal(nc_fp4_hadamard(b, 4096, block), NC_OK);
        for (i = 0; i < block; i++)
            assert_true(fabs((double)a[i] - (double)b[i]) <
                        (log2((double)block) + 2) * ldexp(sqrt(norm), -23));
    }
}

static void rotated_weights_times_rotated_activations_are_the_product(void **state) {
    enum { N = 128 };
    static float m[8 * N], v[N], out[8], rotated[8];
    uint64_t seed = 6;
    size_t i, r;
    (void)state;
    for (i = 0; i < 8 * N; i++) m[i] = uniform(&seed) * (i % 16 == 3 ? 20.0f : 1.0f);
    for (i = 0; i < N; i++) v[i] = uniform(&seed);
    for (r = 0; r < 8; r++)
        for (out[r] = 0, i = 0; i < N; i++) out[r] += m[r * N + i] * v[i];
    assert_int_equal(nc_fp4_hadamard(m, 8 * N, 16), NC_OK);
    assert_int_equal(nc_fp4_hadamard(v, N, 16), NC_OK);
    for (r = 0; r < 8; r++) {
        for (rotated[r] = 0, i = 0; i < N; i++) rotated[r] += m[r * N + i] * v[i];
        assert_true(fabsf(out[r] - rotated[r]) < 1e-4f);
    }
}

static void what_does_not_fit_is_an_error(void **state) {
    nc_fp4_options o = {0};
    nc_fp4_tensor t;
    float v[6] = {1, 2, 3, 4, 5, NAN};
    double h[4] = {0}, bad[4] = {1, 5, 5, 1};
    (void)state;
    assert_int_equal(nc_fp4_hessian_add(h, v, 3, 2), NC_ERR_MATH);
    assert_true(h[0] == 0);
    assert_int_equal(nc_fp4_hessian_add(NULL, v, 3, 2), NC_ERR_ARG);
    assert_int_equal(nc_fp4_hessian_add(h, v, 3, 0), NC_ERR_ARG);
    assert_int_equal(nc_fp4_tensor_create_gptq(&t, NC_FP4_NF4, NULL, v, 2, 2, bad, 0), NC_ERR_MATH);
    assert_null(t.codes);
    assert_int_equal(nc_fp4_tensor_create_gptq(&t, NC_FP4_NF4, NULL, v, 2, 2, NULL, 0), NC_ERR_ARG);
    assert_int_equal(nc_fp4_tensor_create_gptq(&t, NC_FP4_NF4, NULL, v, 2, 2, h, -1), NC_ERR_ARG);
    assert_int_equal(nc_fp4_tensor_create_gptq(&t, NC_FP4_NF4, NULL, v, 0, 2, h, 0), NC_ERR_ARG);
    o.stochastic = 1;
    assert_int_equal(nc_fp4_tensor_create_gptq(&t, NC_FP4_MXFP4, &o, v, 2, 2, h, 0),
                     NC_ERR_UNSUPPORTED);
    o.stochastic = 0;
    o.convention = NC_FP4_AS_GGML;
    assert_int_equal(nc_fp4_tensor_create_gptq(&t, NC_FP4_MXFP4, &o, v, 2, 2, h, 0),
                     NC_ERR_UNSUPPORTED);
    assert_int_equal(nc_fp4_tensor_create_gptq(&t, NC_FP4_MXFP4, NULL, v, 3, 2, h, 0), NC_OK);
    assert_int_equal(t.scales[2], 255); /* the row with NaN */
    nc_fp4_tensor_free(&t);
    assert_int_equal(nc_fp4_hadamard(v, 6, 4), NC_ERR_ARG);
    assert_int_equal(nc_fp4_hadamard(v, 6, 3), NC_ERR_ARG);
    assert_int_equal(nc_fp4_hadamard(v, 6, 1), NC_ERR_ARG);
    assert_int_equal(nc_fp4_hadamard(NULL, 8, 8), NC_ERR_ARG);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(gptq_is_optimal_brain_quantisation_column_by_column),
        cmocka_unit_test(gptq_loses_less_of_the_outputs_in_every_format_and_rule),
        cmocka_unit_test(gptq_of_columns_that_do_not_meet_is_nearest),
        cmocka_unit_test(the_error_of_a_layer_is_that_of_its_outputs),
        cmocka_unit_test(hadamard_is_its_definition_and_its_own_inverse),
        cmocka_unit_test(rotated_weights_times_rotated_activations_are_the_product),
        cmocka_unit_test(what_does_not_fit_is_an_error),
    };
    return cmocka_run_group_tests_name("fp4 rounding", tests, NULL, NULL);
}
