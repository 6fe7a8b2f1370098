/* nc_hlx.h, section scalar: elementary functions, reductions, kernels and their gradients. */
#include "test.h"
#include <math.h>
#include "../nc_hlx.h"

static float random_float(uint64_t *seed, float scale) {
    return scale * (float)((double)(int64_t)test_random(seed) / 9223372036854775808.0);
}

static double ulps(float got, double expected) {
    double unit = ldexp(1.0, (expected == 0 ? -149 : ilogb(expected) - 23));
    if (unit < ldexp(1.0, -149)) unit = ldexp(1.0, -149);
    return fabs((double)got - expected) / unit;
}

static void exp_log_tanh_stay_within_two_ulp(void **state) {
    double worst_exp = 0, worst_log = 0, worst_tanh = 0;
    const uint32_t stride = getenv("NC_TEST_EXHAUSTIVE") ? 1 : 9973; /* all: some minutes */
    int64_t i;
    (void)state;
#ifdef _OPENMP
#pragma omp parallel for reduction(max : worst_exp, worst_log, worst_tanh)
#endif
    for (i = 0; i < (int64_t)0x7F800000; i += stride) {
        const uint32_t bits = (uint32_t)i;
        float x, y;
        double e;
        memcpy(&x, &bits, 4);
        y = -x;
        if (x < 88.7f) worst_exp = fmax(worst_exp, ulps(nc_hlx_exp(x), exp((double)x)));
        if (x < 103.0f) worst_exp = fmax(worst_exp, ulps(nc_hlx_exp(y), exp((double)y)));
        if (x > 0) worst_log = fmax(worst_log, ulps(nc_hlx_log(x), log((double)x)));
        e = ulps(nc_hlx_tanh(x), tanh((double)x));
        worst_tanh = fmax(worst_tanh, e);
        assert_true(nc_hlx_tanh(y) == -nc_hlx_tanh(x));
    }
    printf("worst error in ulp: exp %.3f, log %.3f, tanh %.3f\n", worst_exp, worst_log, worst_tanh);
    assert_true(worst_exp < 2.0);
    assert_true(worst_log < 2.0);
    assert_true(worst_tanh < 2.0);
}

static void special_values_have_their_limits(void **state) {
    (void)state;
    assert_true(nc_hlx_exp(0.0f) == 1.0f);
    assert_true(isinf(nc_hlx_exp(89.0f)) && isinf(nc_hlx_exp(INFINITY)));
    assert_true(nc_hlx_exp(-INFINITY) == 0.0f && nc_hlx_exp(-200.0f) == 0.0f);
    assert_true(nc_hlx_exp(-100.0f) > 0.0f);
    assert_true(isnan(nc_hlx_exp(NAN)) && isnan(nc_hlx_log(NAN)) && isnan(nc_hlx_tanh(NAN)));
    assert_true(nc_hlx_log(1.0f) == 0.0f && isinf(nc_hlx_log(INFINITY)));
    assert_true(isinf(nc_hlx_log(0.0f)) && nc_hlx_log(0.0f) < 0 && isnan(nc_hlx_log(-1.0f)));
    assert_true(nc_hlx_tanh(INFINITY) == 1.0f && nc_hlx_tanh(-INFINITY) == -1.0f);
}

/* The documented shape, written as plainly as possible. */
static float reduction_by_definition(const float *a, const float *b, size_t n) {
    float s[32] = {0}, *sums;
    size_t i, chunks = (n + 4095) / 4096, w, j;
    if (n > 4096) {
        sums = malloc(chunks * sizeof *sums);
        for (i = 0; i < chunks; i++)
            sums[i] = reduction_by_definition(a + 4096 * i, b ? b + 4096 * i : NULL,
                                              i + 1 < chunks ? 4096 : n - 4096 * i);
        s[0] = reduction_by_definition(sums, NULL, chunks);
        free(sums);
        return s[0];
    }
    for (i = 0; i < n; i++) s[i % 32] = b ? fmaf(a[i], b[i], s[i % 32]) : s[i % 32] + a[i];
    for (w = 16; w; w /= 2)
        for (j = 0; j < w; j++) s[j] += s[j + w];
    return s[0];
}

static void reductions_have_the_documented_shape_at_every_level(void **state) {
    enum { N = 40000 };
    float *a = malloc(N * sizeof *a), *b = malloc(N * sizeof *b);
    uint64_t seed = 1;
    size_t n;
    int level;
    (void)state;
    for (n = 0; n < N; n++) {
        a[n] = random_float(&seed, 1.0f);
        b[n] = random_float(&seed, 1.0f);
    }
    for (level = 0; level <= 2; level++) {
        if (nc_hlx_set_simd(level) != NC_OK) continue;
        for (n = 0; n < N; n = n < 100 ? n + 1 : n * 5 / 4 + 1) {
            assert_true(nc_hlx_sum(a, n) == reduction_by_definition(a, NULL, n));
            assert_true(nc_hlx_dot(a, b, n) == reduction_by_definition(a, b, n));
        }
    }
    nc_hlx_set_simd(-1);
    free(a);
    free(b);
}

/* 4,096 chunks are a level of their own: 2^24 values, and sizes on both sides. */
static void reductions_of_three_levels_have_the_documented_shape(void **state) {
    enum { WHOLE = 4096 * 4096 };
    static const size_t sizes[] = {WHOLE - 4096, WHOLE - 4095, WHOLE, WHOLE + 1, WHOLE + 5000};
    float *a = malloc((WHOLE + 5000) * sizeof *a), *ones = malloc(WHOLE * sizeof *ones);
    uint64_t seed = 2;
    size_t i;
    (void)state;
    assert_true(a && ones);
    for (i = 0; i < WHOLE + 5000; i++) a[i] = random_float(&seed, 1.0f);
    for (i = 0; i < WHOLE; i++) ones[i] = 1.0f; /* fma(a, 1, s) is s + a */
    for (i = 0; i < sizeof sizes / sizeof *sizes; i++)
        assert_true(nc_hlx_sum(a, sizes[i]) == reduction_by_definition(a, NULL, sizes[i]));
    assert_true(nc_hlx_dot(a, ones, WHOLE) == nc_hlx_sum(a, WHOLE));
    free(a);
    free(ones);
}

enum { ROWS = 5, WIDTH = 37 };

/* A scalar function of x and its analytic gradient, compared by central differences. */
typedef double (*loss_fn)(const float *x, const float *weights);

static void check_gradient(loss_fn loss, const float *x, const float *weights, const float *dx,
                           size_t n, double tolerance) {
    float moved[ROWS * WIDTH];
    size_t i;
    for (i = 0; i < n; i += 3) {
        double h = 1e-2, up, down;
        memcpy(moved, x, n * sizeof *x);
        moved[i] = x[i] + (float)h;
        up = loss(moved, weights);
        h = (double)moved[i] - x[i];
        moved[i] = x[i] - (float)h;
        h += (double)x[i] - moved[i];
        down = loss(moved, weights);
        if (fabs((up - down) / h - dx[i]) > tolerance * (1 + fabs((double)dx[i])))
            fail_msg("element %zu: %g by differences, %g computed", i, (up - down) / h,
                     (double)dx[i]);
    }
}

static float gamma_of[WIDTH], beta_of[WIDTH];

static double layernorm_loss(const float *x, const float *weights) {
    float out[ROWS * WIDTH], mean[ROWS], rstd[ROWS];
    double sum = 0;
    int i;
    nc_hlx_layernorm(out, mean, rstd, x, gamma_of, beta_of, ROWS, WIDTH);
    for (i = 0; i < ROWS * WIDTH; i++) sum += (double)out[i] * weights[i];
    return sum;
}

static double softmax_loss(const float *x, const float *weights) {
    float out[ROWS * WIDTH];
    double sum = 0;
    int i;
    memcpy(out, x, sizeof out);
    nc_hlx_softmax(out, ROWS, WIDTH, 1);
    for (i = 0; i < ROWS * WIDTH; i++) sum += (double)out[i] * weights[i];
    return sum;
}

static double gelu_loss(const float *x, const float *weights) {
    float out[ROWS * WIDTH];
    double sum = 0;
    int i;
    nc_hlx_gelu(out, x, ROWS * WIDTH);
    for (i = 0; i < ROWS * WIDTH; i++) sum += (double)out[i] * weights[i];
    return sum;
}

static const uint32_t targets_of[ROWS] = {3, 36, 0, 99 /* ignored */, 7};

static double cross_entropy_loss(const float *x, const float *weights) {
    float logits[ROWS * WIDTH], losses[ROWS];
    (void)weights;
    memcpy(logits, x, sizeof logits);
    return (double)nc_hlx_cross_entropy(logits, targets_of, losses, ROWS, WIDTH);
}

static void gradients_agree_with_finite_differences(void **state) {
    float x[ROWS * WIDTH], w[ROWS * WIDTH], dx[ROWS * WIDTH], y[ROWS * WIDTH];
    float mean[ROWS], rstd[ROWS], dgamma[WIDTH] = {0}, dbeta[WIDTH] = {0}, losses[ROWS];
    uint64_t seed = 2;
    int i, r;
    (void)state;
    for (i = 0; i < ROWS * WIDTH; i++) {
        x[i] = random_float(&seed, 2.0f);
        w[i] = random_float(&seed, 1.0f);
    }
    for (i = 0; i < WIDTH; i++) {
        gamma_of[i] = 1.0f + random_float(&seed, 0.5f);
        beta_of[i] = random_float(&seed, 0.5f);
    }
    memset(dx, 0, sizeof dx);
    nc_hlx_layernorm(y, mean, rstd, x, gamma_of, beta_of, ROWS, WIDTH);
    nc_hlx_layernorm_backward(dx, dgamma, dbeta, w, x, gamma_of, mean, rstd, ROWS, WIDTH);
    check_gradient(layernorm_loss, x, w, dx, ROWS * WIDTH, 2e-3);
    for (i = 0; i < WIDTH; i++) {
        double expected = 0, expected_beta = 0;
        for (r = 0; r < ROWS; r++) {
            expected += (double)w[r * WIDTH + i] * ((double)x[r * WIDTH + i] - mean[r]) * rstd[r];
            expected_beta += (double)w[r * WIDTH + i];
        }
        assert_true(fabs(expected - dgamma[i]) < 1e-5);
        assert_true(fabs(expected_beta - dbeta[i]) < 1e-5);
    }
    memcpy(y, x, sizeof y);
    nc_hlx_softmax(y, ROWS, WIDTH, 1);
    memcpy(dx, w, sizeof dx);
    nc_hlx_softmax_backward(dx, y, ROWS, WIDTH, 1);
    check_gradient(softmax_loss, x, w, dx, ROWS * WIDTH, 2e-3);
    nc_hlx_gelu_backward(dx, w, x, ROWS * WIDTH);
    check_gradient(gelu_loss, x, w, dx, ROWS * WIDTH, 2e-3);
    memcpy(dx, x, sizeof dx);
    (void)nc_hlx_cross_entropy(dx, targets_of, losses, ROWS, WIDTH);
    check_gradient(cross_entropy_loss, x, w, dx, ROWS * WIDTH, 2e-3);
}

static void softmax_rows_sum_to_one_and_layernorm_matches_float64(void **state) {
    float x[ROWS * WIDTH], y[ROWS * WIDTH], mean[ROWS], rstd[ROWS];
    uint64_t seed = 3;
    int i, r;
    (void)state;
    for (i = 0; i < ROWS * WIDTH; i++) x[i] = y[i] = 1000.0f + random_float(&seed, 1.0f);
    nc_hlx_softmax(y, ROWS, WIDTH, 0);
    for (r = 0; r < ROWS; r++) {
        double sum = 0;
        for (i = 0; i < WIDTH; i++) sum += (double)y[r * WIDTH + i];
        assert_true(fabs(sum - 1) < 1e-6);
    }
    for (i = 0; i < WIDTH; i++) {
        gamma_of[i] = 1;
        beta_of[i] = 0;
    }
    nc_hlx_layernorm(y, mean, rstd, x, gamma_of, beta_of, ROWS, WIDTH);
    for (r = 0; r < ROWS; r++) {
        double m = 0, v = 0;
        for (i = 0; i < WIDTH; i++) m += (double)x[r * WIDTH + i] / WIDTH;
        for (i = 0; i < WIDTH; i++) v += pow((double)x[r * WIDTH + i] - m, 2) / WIDTH;
        for (i = 0; i < WIDTH; i++) /* a large mean: the two-pass variance does not cancel */
            assert_true(fabs((x[r * WIDTH + i] - m) / sqrt(v + 1e-5) - y[r * WIDTH + i]) < 2e-3);
    }
}

static void elementwise_kernels_give_the_same_bits_at_every_level(void **state) {
    float x[3][ROWS * WIDTH], start[ROWS * WIDTH], out[3][4][ROWS * WIDTH];
    uint64_t seed = 4;
    int i, level;
    (void)state;
    for (i = 0; i < ROWS * WIDTH; i++) start[i] = random_float(&seed, 6.0f);
    for (level = 0; level <= 2; level++) {
        float mean[ROWS], rstd[ROWS];
        memcpy(x[level], start, sizeof start);
        if (nc_hlx_set_simd(level) != NC_OK) assert_int_equal(nc_hlx_set_simd(0), NC_OK);
        nc_hlx_gelu(out[level][0], start, ROWS * WIDTH);
        nc_hlx_gelu_backward(out[level][1], start, start, ROWS * WIDTH);
        nc_hlx_layernorm(out[level][2], mean, rstd, start, start, start, ROWS, WIDTH);
        memcpy(out[level][3], start, sizeof start);
        nc_hlx_softmax(out[level][3], ROWS, WIDTH, 0);
        assert_memory_equal(out[0], out[level], sizeof out[0]);
    }
    assert_int_equal(nc_hlx_set_simd(3), NC_ERR_ARG);
    nc_hlx_set_simd(-1);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(exp_log_tanh_stay_within_two_ulp),
        cmocka_unit_test(special_values_have_their_limits),
        cmocka_unit_test(reductions_have_the_documented_shape_at_every_level),
        cmocka_unit_test(reductions_of_three_levels_have_the_documented_shape),
        cmocka_unit_test(gradients_agree_with_finite_differences),
        cmocka_unit_test(softmax_rows_sum_to_one_and_layernorm_matches_float64),
        cmocka_unit_test(elementwise_kernels_give_the_same_bits_at_every_level),
    };
    return cmocka_run_group_tests_name("hlx scalar", tests, NULL, NULL);
}
