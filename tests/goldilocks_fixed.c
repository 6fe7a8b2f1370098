/* nc_goldilocks.h, section fixed: real numbers as field elements. */
#include "test.h"
#include <math.h>
#include "../nc_goldilocks.h"

static void encoding_agrees_with_fixed_json(void **state) {
    json_object *root = load_json(TEST_DATA "goldilocks/fixed.json");
    json_object *list = member(root, "encode");
    size_t i;
    (void)state;
    for (i = 0; i < json_object_array_length(list); i++) {
        json_object *one = json_object_array_get_idx(list, i);
        double v = json_object_get_double(member(one, "v"));
        uint64_t raw;
        if (v >= 70368744177664.0) { /* 2^46 and more wrap in the file; here they are errors */
            assert_int_equal(nc_fixed_from_f64(v, &raw), NC_ERR_LIMIT);
            continue;
        }
        assert_int_equal(nc_fixed_from_f64(v, &raw), NC_OK);
        assert_int_equal(raw, json_u64(member(one, "raw")));
        assert_true(nc_fixed_to_f64(raw) == json_object_get_double(member(one, "dec")));
    }
    json_object_put(root);
}

static void both_multiplications_agree_with_fixed_json(void **state) {
    json_object *root = load_json(TEST_DATA "goldilocks/fixed.json");
    json_object *list = member(root, "pairs");
    size_t i, rounded = 0;
    (void)state;
    for (i = 0; i < json_object_array_length(list); i++) {
        json_object *one = json_object_array_get_idx(list, i);
        json_object *expected = member(one, "int_rescale_raw");
        uint64_t a, b;
        if (nc_fixed_from_f64(json_object_get_double(member(one, "a")), &a) != NC_OK) continue;
        if (nc_fixed_from_f64(json_object_get_double(member(one, "b")), &b) != NC_OK) continue;
        assert_int_equal(nc_fixed_mul_field(a, b), json_u64(member(one, "trident_raw")));
        if (!expected) continue; /* the integer product leaves the range */
        assert_int_equal(nc_fixed_mul(a, b), json_u64(expected));
        rounded++;
    }
    assert_true(rounded > 300);
    json_object_put(root);
}

static void dot_products_rescale_once_as_in_fixed_json(void **state) {
    json_object *root = load_json(TEST_DATA "goldilocks/fixed.json");
    json_object *list = member(root, "dot");
    uint64_t *a = malloc(65536 * 8), *b = malloc(65536 * 8);
    size_t i;
    (void)state;
    for (i = 0; i < json_object_array_length(list); i++) {
        json_object *one = json_object_array_get_idx(list, i);
        size_t n;
        if (!member(one, "a")) continue; /* the file gives long inputs by their results only */
        n = json_fields(member(one, "a"), a, 65536);
        json_fields(member(one, "b"), b, 65536);
        assert_int_equal(nc_fixed_dot(a, b, n), json_u64(member(one, "once_raw")));
    }
    free(a);
    free(b);
    json_object_put(root);
}

static void inverses_and_relu_agree_with_fixed_json(void **state) {
    json_object *root = load_json(TEST_DATA "goldilocks/fixed.json");
    json_object *list = member(root, "inv");
    uint64_t a, out;
    size_t i;
    (void)state;
    for (i = 0; i < json_object_array_length(list); i++) {
        json_object *one = json_object_array_get_idx(list, i);
        if (nc_fixed_from_f64(json_object_get_double(member(one, "a")), &a) != NC_OK) continue;
        assert_int_equal(nc_fixed_inv(a, &out), NC_OK);
        assert_int_equal(out, json_u64(member(one, "int_raw")));
    }
    list = member(root, "relu");
    for (i = 0; i < json_object_array_length(list); i++) {
        json_object *one = json_object_array_get_idx(list, i);
        assert_int_equal(nc_fixed_relu(json_u64(member(one, "raw"))), json_u64(member(one, "out")));
    }
    assert_int_equal(nc_fixed_inv(0, &out), NC_ERR_MATH);
    json_object_put(root);
}

static void out_of_range_reals_are_errors_and_ties_go_away_from_zero(void **state) {
    uint64_t out;
    (void)state;
    assert_int_equal(nc_fixed_from_f64(70368744177664.0, &out), NC_ERR_LIMIT);
    assert_int_equal(nc_fixed_from_f64(-70368744177664.0, &out), NC_ERR_LIMIT);
    assert_int_equal(nc_fixed_from_f64(nextafter(70368744177664.0, 0), &out), NC_OK);
    assert_int_equal(nc_fixed_from_f64((double)NAN, &out), NC_ERR_LIMIT);
    assert_int_equal(nc_fixed_from_f64((double)INFINITY, &out), NC_ERR_LIMIT);
    assert_int_equal(nc_fixed_from_f64(0.5 / 65536, &out), NC_OK);
    assert_int_equal(out, 1);
    assert_int_equal(nc_fixed_from_f64(-0.5 / 65536, &out), NC_OK);
    assert_int_equal(out, NC_GL_P - 1);
}

/* Largest difference between f on every raw value of [-range, range] and the real function. */
static double worst(nc_fixed (*f)(nc_fixed), double (*real)(double), int64_t range) {
    double most = 0;
    int64_t raw;
    for (raw = -range; raw <= range; raw++) {
        double off = fabs(nc_fixed_to_f64(f(nc_gl_from_i64(raw))) - real((double)raw / 65536));
        if (off > most) most = off;
    }
    return most;
}

static double real_sigmoid(double x) { return 1 / (1 + exp(-x)); }
static double real_gelu(double x) { return x * real_sigmoid(1.702 * x); }

/* The polynomials at one place, by how much of their value they are off. */
static double off_by(nc_fixed (*f)(nc_fixed), double x, int gated) {
    const double y = gated ? 1.702 * x : x, sigmoid = 0.5 + y / 4 - y * y * y / 48;
    nc_fixed raw;
    assert_int_equal(nc_fixed_from_f64(x, &raw), NC_OK);
    return fabs(nc_fixed_to_f64(f(raw)) / (gated ? x * sigmoid : sigmoid) - 1);
}

static void curves_keep_their_documented_bounds_on_every_value(void **state) {
    const int64_t one = 65536;
    (void)state;
    assert_true(worst(nc_fixed_sigmoid, real_sigmoid, 20 * one) <= 0.505 / 65536);
    assert_true(worst(nc_fixed_gelu, real_gelu, 16 * one) <= 1.0 / 16384);
    assert_true(worst(nc_fixed_sigmoid_taylor, real_sigmoid, 3 * one / 2) <= 0.0129);
    assert_true(worst(nc_fixed_gelu_taylor, real_gelu, one) <= 0.0231);
    assert_true(worst(nc_fixed_gelu_taylor, real_gelu, 2 * one) >= 0.85); /* as documented */
    assert_true(off_by(nc_fixed_sigmoid_taylor, 1289, 0) < 0.001);
    assert_true(off_by(nc_fixed_sigmoid_taylor, -1289, 0) < 0.001);
    assert_true(off_by(nc_fixed_gelu_taylor, 379, 1) < 0.001);
    assert_true(off_by(nc_fixed_gelu_taylor, -379, 1) < 0.001);
}

static void exponentials_are_close_up_to_their_limit(void **state) {
    uint64_t out;
    int64_t raw;
    (void)state;
    for (raw = -17 * 65536; raw < 32 * 65536; raw += 7) {
        double real = exp((double)raw / 65536);
        nc_status status = nc_fixed_exp(nc_gl_from_i64(raw), &out);
        if (status == NC_OK)
            assert_true(fabs(nc_fixed_to_f64(out) - real) <= 1.0 / 65536 + real * 0x1p-35);
        else
            assert_true(status == NC_ERR_LIMIT && out == 0 && real > 0x1p46 * (1 - 0x1p-34));
    }
    assert_int_equal(nc_fixed_exp(0, &out), NC_OK);
    assert_int_equal(out, 65536);
    assert_int_equal(nc_fixed_exp(NC_GL_P / 2, &out), NC_ERR_LIMIT);
    assert_int_equal(nc_fixed_exp(NC_GL_P / 2 + 2, &out), NC_OK); /* far below zero */
    assert_int_equal(out, 0);
}

static int64_t random_raw(uint64_t *seed, int bits) {
    const uint64_t mask = (UINT64_C(1) << (test_random(seed) % (uint64_t)bits)) - 1;
    const int64_t v = (int64_t)(test_random(seed) & mask);
    return test_random(seed) & 1 ? v : -v;
}

/* What holds the products of such numbers. */
#ifdef __SIZEOF_INT128__
typedef __int128 wide;
enum { WIDE_BITS = 62 };
#else
typedef int64_t wide;
enum { WIDE_BITS = 30 };
#endif

static void quotients_roots_and_order_agree_with_integers(void **state) {
    uint64_t seed = 11, out;
    int i;
    (void)state;
    for (i = 0; i < 200000; i++) {
        int64_t x = random_raw(&seed, WIDE_BITS), y = random_raw(&seed, WIDE_BITS);
        nc_fixed a = nc_gl_from_i64(x), b = nc_gl_from_i64(y);
        nc_status status = nc_fixed_div(a, b, &out);
        wide top = (wide)(x < 0 ? -x : x) << 17, by = y < 0 ? -y : y, q;
        if (y == 0) {
            assert_int_equal(status, NC_ERR_MATH);
        } else {
            q = (top + by) / (2 * by); /* round half up */
            assert_int_equal(status, q >> 62 ? NC_ERR_LIMIT : NC_OK);
            if (status == NC_OK)
                assert_int_equal(nc_gl_to_i64(out), (x < 0) != (y < 0) ? -(int64_t)q : (int64_t)q);
        }
        assert_int_equal(nc_fixed_compare(a, b), (x > y) - (x < y));
        assert_int_equal(nc_gl_to_i64(nc_fixed_abs(a)), x < 0 ? -x : x);
        assert_int_equal(nc_gl_to_i64(nc_fixed_clamp(a, nc_gl_from_i64(-99), 99)), x < -99  ? -99
                                                                                   : x > 99 ? 99
                                                                                            : x);
        assert_int_equal(nc_fixed_sqrt(a, &out), x < 0 ? NC_ERR_MATH : NC_OK);
        if (x >= 0) { /* (out - 1/2)^2 < x 2^16 <= (out + 1/2)^2 */
            wide scaled = (wide)x << 16, root = (wide)out;
            assert_true(root * root - root < scaled || scaled == 0);
            assert_true(scaled <= root * root + root);
        }
    }
    assert_int_equal(nc_fixed_add(3, nc_fixed_neg(5)), NC_GL_P - 2);
    assert_int_equal(nc_fixed_sub(3, 5), NC_GL_P - 2);
    assert_int_equal(nc_fixed_clamp(5, 9, 7), 9);
}

static void witnesses_hold_and_wrong_products_are_repaired(void **state) {
    uint64_t seed = 12;
    uint32_t rest;
    int i;
    (void)state;
    for (i = 0; i < 100000; i++) {
        nc_fixed a = nc_gl_from_i64(random_raw(&seed, 31)),
                 b = nc_gl_from_i64(random_raw(&seed, 31));
        nc_gl x = nc_gl_mul(a, b);
        nc_fixed quotient = nc_fixed_witness(x, &rest);
        assert_int_equal(quotient, nc_fixed_mul(a, b));
        assert_true(rest < 65536);
        assert_true((wide)nc_gl_to_i64(x) + 32768 == (wide)nc_gl_to_i64(quotient) * 65536 + rest);
        assert_int_equal(nc_fixed_repair(nc_fixed_mul_field(a, b)), quotient);
    }
}

static void sums_of_65536_terms_stay_exact_and_wrapping_ones_are_found(void **state) {
    enum { N = 65536 };
    nc_fixed *a = malloc(N * sizeof *a), *b = malloc(N * sizeof *b);
    uint64_t seed = 13;
    wide sum = 0;
    size_t i;
    (void)state;
    for (i = 0; i < N; i++) { /* products just below 2^15 */
        int64_t x = (INT64_C(1) << 24) - 1 - (int64_t)(test_random(&seed) % 99), y = (1 << 23) - 1;
        a[i] = nc_gl_from_i64(x);
        b[i] = nc_gl_from_i64(i % 3 ? y : -y);
        sum += (wide)x * (i % 3 ? y : -y);
    }
    assert_int_equal(nc_gl_to_i64(nc_fixed_dot(a, b, N)), (int64_t)((sum + 32768) >> 16));
    assert_int_equal(nc_fixed_check_dot(a, b, N), NC_OK);
    for (i = 0; i < N; i++) b[i] = nc_fixed_abs(b[i]);
    assert_int_equal(nc_fixed_check_dot(a, b, N), NC_OK); /* 65,536 terms below 2^15: 2^31 */
    a[0] = nc_gl_from_i64(INT64_C(1) << 45);
    assert_int_equal(nc_fixed_check_dot(a, b, N), NC_ERR_LIMIT);
    b[1] = nc_gl_neg(b[0]);
    a[1] = a[0]; /* what overflows cancels again */
    assert_int_equal(nc_fixed_check_dot(a, b, 2), NC_OK);
    assert_int_equal(nc_fixed_dot(a, b, 2), 0);
    for (i = 0; i < 8; i++) a[i] = b[i] = NC_GL_P / 2;
    assert_int_equal(nc_fixed_check_dot(a, b, 8), NC_ERR_LIMIT); /* 8 times 2^126 */
    free(a);
    free(b);
}

static void check_fixed_matmul(size_t m, size_t k, size_t n, int bits, uint64_t *seed) {
    nc_fixed *a = malloc((m * k + 1) * sizeof *a), *b = malloc((k * n + 1) * sizeof *b);
    nc_fixed *c = malloc((m * n + 1) * sizeof *c), *y = malloc((m + 1) * sizeof *y);
    nc_fixed *column = malloc((k + 1) * sizeof *column);
    size_t i, j, p;
    for (i = 0; i < m * k; i++) a[i] = nc_gl_from_i64(random_raw(seed, bits));
    for (i = 0; i < k * n; i++) b[i] = nc_gl_from_i64(random_raw(seed, bits));
    c[m * n] = 77;
    assert_int_equal(nc_fixed_matmul(c, a, b, m, k, n), NC_OK);
    assert_int_equal(c[m * n], 77);
    for (j = 0; j < n; j++) {
        for (p = 0; p < k; p++) column[p] = b[p * n + j];
        assert_int_equal(nc_fixed_matvec(y, a, column, m, k), NC_OK);
        for (i = 0; i < m; i++) {
            assert_int_equal(c[i * n + j], y[i]);
            assert_int_equal(y[i], nc_fixed_dot(a + i * k, column, k));
        }
    }
    if (m && k && n) assert_int_equal(nc_fixed_matmul(b, a, b, m, k, n), NC_ERR_ARG);
    if (m && k) assert_int_equal(nc_fixed_matvec(a, a, column, m, k), NC_ERR_ARG);
    free(a);
    free(b);
    free(c);
    free(y);
    free(column);
}

static void matrices_equal_dot_products_at_every_level(void **state) {
    static const size_t sizes[] = {0, 1, 7, 8, 9, 16, 65};
    uint64_t seed = 14;
    size_t m, k, n;
    int level;
    (void)state;
    for (level = 0; level <= 3; level++) {
        if (nc_gl_set_simd(level) != NC_OK) continue;
        for (m = 0; m < 7; m++)
            for (k = 0; k < 7; k++)
                for (n = 0; n < 7;
                     n++) { /* 52 bits hold sums of 22, 64 bits of 28, the field all */
                    check_fixed_matmul(sizes[m], sizes[k], sizes[n], 22, &seed);
                    check_fixed_matmul(sizes[m], sizes[k], sizes[n], 28, &seed);
                    check_fixed_matmul(sizes[m], sizes[k], sizes[n], 40, &seed);
                }
    }
    assert_int_equal(nc_gl_set_simd(-1), NC_OK);
}

static void softmax_and_layer_norm_follow_the_real_functions(void **state) {
    enum { N = 100 };
    nc_fixed x[N], y[N], gamma[N], beta[N];
    uint64_t seed = 15;
    int round, i;
    (void)state;
    for (round = 0; round < 200; round++) {
        int n = 1 + (int)(test_random(&seed) % N), bits = 4 + round % 16;
        double top = -1e9, sum = 0, mean = 0, variance = 0;
        for (i = 0; i < n; i++) {
            x[i] = nc_gl_from_i64(random_raw(&seed, bits + 1) + 3 * 65536);
            gamma[i] = nc_gl_from_i64(random_raw(&seed, 17));
            beta[i] = nc_gl_from_i64(random_raw(&seed, 17));
            top = fmax(top, nc_fixed_to_f64(x[i]));
            mean += nc_fixed_to_f64(x[i]) / n;
        }
        for (i = 0; i < n; i++) sum += exp(nc_fixed_to_f64(x[i]) - top);
        assert_int_equal(nc_fixed_softmax(y, x, (size_t)n), NC_OK);
        for (i = 0; i < n; i++)
            assert_true(fabs(nc_fixed_to_f64(y[i]) - exp(nc_fixed_to_f64(x[i]) - top) / sum) <=
                        1.0 / 65536);
        mean = floor(mean * 65536 + 0.5) / 65536; /* the mean is one unit wide: so is the test's */
        for (i = 0; i < n; i++) variance += pow(nc_fixed_to_f64(x[i]) - mean, 2) / n;
        assert_int_equal(nc_fixed_layer_norm(y, x, (size_t)n, NULL, NULL, 1), NC_OK);
        for (i = 0; i < n; i++) {
            double scale = 1 / sqrt(variance + 1.0 / 65536);
            double real = (nc_fixed_to_f64(x[i]) - mean) * scale;
            assert_true(fabs(nc_fixed_to_f64(y[i]) - real) <= (2 + scale) / 65536);
        }
        assert_int_equal(nc_fixed_layer_norm(x, x, (size_t)n, gamma, beta, 1), NC_OK);
        for (i = 0; i < n; i++)
            assert_int_equal(x[i], nc_gl_add(nc_fixed_mul(y[i], gamma[i]), beta[i]));
    }
    x[0] = x[1] = 5;
    assert_int_equal(nc_fixed_layer_norm(y, x, 2, NULL, NULL, 0), NC_ERR_MATH);
    assert_int_equal(nc_fixed_layer_norm(y, x, 0, NULL, NULL, 1), NC_ERR_ARG);
    assert_int_equal(nc_fixed_layer_norm(y, x, 2, NULL, NULL, NC_GL_P - 1), NC_ERR_ARG);
    x[1] = UINT64_C(1) << 40;
    assert_int_equal(nc_fixed_layer_norm(y, x, 2, NULL, NULL, 1), NC_ERR_LIMIT);
    x[0] = (NC_GL_P - 1) / 2; /* neighbours in the field, the ends of the range of numbers */
    x[1] = x[0] + 1;
    assert_int_equal(nc_fixed_layer_norm(y, x, 2, NULL, NULL, 1), NC_ERR_LIMIT);
    x[1] = x[0] - 2 * 65536;
    assert_int_equal(nc_fixed_layer_norm(y, x, 2, NULL, NULL, 1), NC_OK);
    assert_true(y[0] == 65536 && y[1] == NC_GL_P - 65536);
    x[0] = 5;
    x[1] = UINT64_C(1) << 40;
    assert_int_equal(nc_fixed_softmax(y, x, 65537), NC_ERR_LIMIT);
    assert_int_equal(nc_fixed_softmax(y, x, 2), NC_OK);
    assert_true(y[0] == 0 && y[1] == 65536);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(encoding_agrees_with_fixed_json),
        cmocka_unit_test(both_multiplications_agree_with_fixed_json),
        cmocka_unit_test(dot_products_rescale_once_as_in_fixed_json),
        cmocka_unit_test(inverses_and_relu_agree_with_fixed_json),
        cmocka_unit_test(curves_keep_their_documented_bounds_on_every_value),
        cmocka_unit_test(exponentials_are_close_up_to_their_limit),
        cmocka_unit_test(quotients_roots_and_order_agree_with_integers),
        cmocka_unit_test(witnesses_hold_and_wrong_products_are_repaired),
        cmocka_unit_test(sums_of_65536_terms_stay_exact_and_wrapping_ones_are_found),
        cmocka_unit_test(matrices_equal_dot_products_at_every_level),
        cmocka_unit_test(softmax_and_layer_norm_follow_the_real_functions),
        cmocka_unit_test(out_of_range_reals_are_errors_and_ties_go_away_from_zero),
    };
    return cmocka_run_group_tests_name("goldilocks fixed", tests, NULL, NULL);
}
