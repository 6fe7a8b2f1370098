/* nc_goldilocks.h, section ntt: number-theoretic transforms and polynomials. */
#include "test.h"
#include "../nc_goldilocks.h"

static nc_gl_ntt *plan_of(uint32_t log2_n) {
    nc_gl_ntt *plan;
    assert_int_equal(nc_gl_ntt_create(&plan, log2_n, NULL), NC_OK);
    return plan;
}

static void forward_agrees_with_field_json(void **state) {
    json_object *root = load_json(TEST_DATA "goldilocks/field.json");
    json_object *cases = member(root, "ntt");
    size_t c, i;
    (void)state;
    for (c = 0; c < json_object_array_length(cases); c++) {
        json_object *one = json_object_array_get_idx(cases, c);
        nc_gl_ntt *plan = plan_of((uint32_t)json_object_get_int(member(one, "log2")));
        uint64_t x[256], expected[256];
        size_t n = json_fields(member(one, "in"), x, 256);
        json_fields(member(one, "out"), expected, 256);
        nc_gl_ntt_forward(plan, x);
        for (i = 0; i < n; i++) assert_int_equal(x[i], expected[i]);
        nc_gl_ntt_destroy(plan);
    }
    json_object_put(root);
}

static void transforms_equal_the_definition_and_invert(void **state) {
    uint64_t x[256], y[256], root, seed = 5;
    uint32_t log2_n;
    size_t i;
    (void)state;
    for (log2_n = 0; log2_n <= 8; log2_n++) {
        size_t n = (size_t)1 << log2_n;
        nc_gl_ntt *plan = plan_of(log2_n);
        assert_int_equal(nc_gl_root_of_unity(log2_n, &root), NC_OK);
        for (i = 0; i < n; i++) x[i] = y[i] = nc_gl_from_u64(test_random(&seed));
        nc_gl_ntt_forward(plan, y);
        for (i = 0; i < n; i++) assert_int_equal(y[i], nc_gl_poly_eval(x, n, nc_gl_pow(root, i)));
        nc_gl_ntt_inverse(plan, y);
        assert_memory_equal(x, y, n * sizeof *x);
        nc_gl_ntt_coset_forward(plan, y, 7);
        for (i = 0; i < n; i++)
            assert_int_equal(y[i], nc_gl_poly_eval(x, n, nc_gl_mul(7, nc_gl_pow(root, i))));
        assert_int_equal(nc_gl_ntt_coset_inverse(plan, y, 7), NC_OK);
        assert_memory_equal(x, y, n * sizeof *x);
        assert_int_equal(nc_gl_ntt_coset_inverse(plan, y, 0), NC_ERR_MATH);
        nc_gl_ntt_destroy(plan);
    }
}

/* Values chosen so that after the first pass, of any radix, every twiddle product is the same small
 * c: a product that is c + p does not end there by chance (2^-32 a value). */
static void products_by_twiddles_are_canonical(void **state) {
    static const uint64_t small[] = {0, 1, 7, UINT64_C(0xFFFFFFFE)};
    static uint64_t x[1024], ones[16];
    uint32_t log2_n, radix;
    size_t s, i, n;
    (void)state;
    for (i = 0; i < 16; i++) ones[i] = 1;
    for (log2_n = 6; log2_n <= 10; log2_n++) {
        nc_gl_ntt *plan = plan_of(log2_n);
        uint64_t root, back, step;
        n = (size_t)1 << log2_n;
        assert_int_equal(nc_gl_root_of_unity(log2_n, &root), NC_OK);
        assert_int_equal(nc_gl_inv(root, &back), NC_OK);
        for (radix = 2; radix <= 16; radix *= 2)
            for (s = 0; s < sizeof small / sizeof *small; s++) {
                step = nc_gl_mul(small[s], nc_gl_from_u64(n / radix));
                for (i = 0; i < n; i++)
                    x[i] = nc_gl_mul(small[s], nc_gl_poly_eval(ones, radix, nc_gl_pow(back, i)));
                assert_int_equal(nc_gl_inv(radix, &root), NC_OK);
                for (i = 0; i < n; i++) x[i] = nc_gl_mul(x[i], root);
                nc_gl_ntt_forward(plan, x);
                for (i = 0; i < n; i++) assert_int_equal(x[i], i < radix ? step : 0);
            }
        nc_gl_ntt_destroy(plan);
    }
}

static void large_transforms_invert_and_hold_the_values_of_the_polynomial(void **state) {
    uint32_t log2_n;
    (void)state;
    for (log2_n = 9; log2_n <= 22; log2_n++) {
        size_t n = (size_t)1 << log2_n, i;
        nc_gl_ntt *plan = plan_of(log2_n);
        uint64_t *x = malloc(n * sizeof *x), *y = malloc(n * sizeof *y), seed = log2_n, root;
        assert_int_equal(nc_gl_root_of_unity(log2_n, &root), NC_OK);
        for (i = 0; i < n; i++) x[i] = y[i] = nc_gl_from_u64(test_random(&seed));
        nc_gl_ntt_forward(plan, y);
        for (i = 0; i < 3; i++) { /* any wrong twiddle reaches most values */
            size_t at = test_random(&seed) % n;
            assert_int_equal(y[at], nc_gl_poly_eval(x, n, nc_gl_pow(root, at)));
        }
        nc_gl_ntt_inverse(plan, y);
        assert_memory_equal(x, y, n * sizeof *x);
        free(x);
        free(y);
        nc_gl_ntt_destroy(plan);
    }
}

static void reversed_order_is_the_same_transform_without_its_last_step(void **state) {
    uint32_t log2_n;
    (void)state;
    for (log2_n = 0; log2_n <= 17; log2_n++) {
        size_t n = (size_t)1 << log2_n, i, j, bit;
        nc_gl_ntt *plan = plan_of(log2_n);
        uint64_t *x = malloc(n * sizeof *x), *y = malloc(n * sizeof *y), *z = malloc(n * sizeof *z);
        uint64_t seed = 40 + log2_n;
        for (i = 0; i < n; i++) x[i] = y[i] = z[i] = nc_gl_from_u64(test_random(&seed));
        nc_gl_ntt_forward(plan, x);
        nc_gl_ntt_to_reversed(plan, y);
        for (i = 0; i < n; i++) {
            for (j = 0, bit = 0; bit < log2_n; bit++) j |= (i >> bit & 1) << (log2_n - 1 - bit);
            assert_int_equal(y[i], x[j]);
        }
        nc_gl_ntt_inverse_from_reversed(plan, y);
        assert_memory_equal(y, z, n * sizeof *z);
        nc_gl_bit_reverse(y, log2_n);
        nc_gl_bit_reverse(y, log2_n);
        assert_memory_equal(y, z, n * sizeof *z);
        free(x);
        free(y);
        free(z);
        nc_gl_ntt_destroy(plan);
    }
}

static void many_columns_and_extensions_equal_single_transforms(void **state) {
    enum { COLUMNS = 5 };
    uint32_t log2_n;
    (void)state;
    for (log2_n = 0; log2_n <= 12; log2_n += 3) {
        size_t n = (size_t)1 << log2_n, i, c;
        nc_gl_ntt *plan = plan_of(log2_n), *wide = plan_of(log2_n + 2);
        uint64_t *x = malloc(4 * COLUMNS * n * sizeof *x), *y = malloc(COLUMNS * n * sizeof *y);
        uint64_t *scratch = malloc(COLUMNS * n * sizeof *y), *one = malloc(n * sizeof *one);
        uint64_t seed = log2_n, root, value;
        for (i = 0; i < COLUMNS * n; i++) x[i] = y[i] = nc_gl_from_u64(test_random(&seed));
        nc_gl_ntt_many(plan, x, COLUMNS, 0);
        assert_int_equal(nc_gl_ntt_columns(plan, y, COLUMNS, 1, scratch), NC_OK);
        for (c = 0, seed = log2_n; c < COLUMNS; c++) {
            for (i = 0; i < n; i++) one[i] = nc_gl_from_u64(test_random(&seed));
            nc_gl_ntt_forward(plan, one);
            assert_memory_equal(x + c * n, one, n * sizeof *one);
        }
        assert_int_equal(nc_gl_ntt_columns(plan, y, COLUMNS, 0, scratch), NC_OK);
        nc_gl_ntt_many(plan, x, COLUMNS, 1);
        assert_memory_equal(x, y, COLUMNS * n * sizeof *x);
        assert_int_equal(nc_gl_ntt_columns(plan, y, COLUMNS, 0, y + 1), NC_ERR_ARG);
        memcpy(one, x, n * sizeof *x); /* the coefficients */
        nc_gl_ntt_forward(plan, x);
        assert_int_equal(nc_gl_ntt_extend(plan, wide, x, 7), NC_OK);
        assert_int_equal(nc_gl_root_of_unity(log2_n + 2, &root), NC_OK);
        for (i = 0; i < 4 * n; i += 1 + n / 8) {
            value = nc_gl_poly_eval(one, n, nc_gl_mul(7, nc_gl_pow(root, i)));
            assert_int_equal(x[i], value);
        }
        assert_int_equal(nc_gl_ntt_extend(wide, plan, x, 7), NC_ERR_ARG);
        assert_int_equal(nc_gl_ntt_extend(plan, wide, x, 0), NC_ERR_MATH);
        free(x);
        free(y);
        free(scratch);
        free(one);
        nc_gl_ntt_destroy(plan);
        nc_gl_ntt_destroy(wide);
    }
}

/* Values, interpolation and the vanishing polynomial of one case of poly.json. */
static void check_points(json_object *one, const uint64_t *a, size_t na) {
    uint64_t xs[128], ys[128], expected[129], out[129];
    size_t n = json_fields(member(one, "xs"), xs, 128), i;
    assert_int_equal(json_fields(member(one, "ys"), ys, 128), n);
    assert_int_equal(nc_gl_poly_eval_many(out, a, na, xs, n), NC_OK);
    for (i = 0; i < n; i++) assert_int_equal(out[i], ys[i]);
    assert_int_equal(nc_gl_poly_interpolate(out, xs, ys, n, NULL), NC_OK);
    for (i = 0; i < n; i++) assert_int_equal(out[i], i < na ? a[i] : 0);
    assert_int_equal(json_fields(member(one, "zerofier"), expected, 129), n + 1);
    assert_int_equal(nc_gl_poly_zerofier(out, xs, n, NULL), NC_OK);
    assert_memory_equal(out, expected, (n + 1) * sizeof *out);
}

static void products_agree_with_poly_json(void **state) {
    json_object *root = load_json(TEST_DATA "goldilocks/poly.json");
    size_t c, i;
    (void)state;
    for (c = 0; c < json_object_array_length(root); c++) {
        json_object *one = json_object_array_get_idx(root, c);
        uint64_t a[128], b[128], expected[256], out[256];
        size_t na = json_fields(member(one, "coeffs"), a, 128);
        size_t nb = json_fields(member(one, "other"), b, 128);
        size_t n = json_fields(member(one, "product"), expected, 256);
        assert_int_equal(n, na + nb - 1);
        assert_int_equal(nc_gl_poly_mul(out, a, na, b, nb, NULL), NC_OK);
        for (i = 0; i < n; i++) assert_int_equal(out[i], expected[i]);
        check_points(one, a, na);
    }
    json_object_put(root);
}

static void products_by_transform_equal_schoolbook_at_every_length(void **state) {
    uint64_t a[80], b[80], out[160], expected[160], seed = 6;
    size_t na, nb, i;
    (void)state;
    for (i = 0; i < 80; i++) {
        a[i] = nc_gl_from_u64(test_random(&seed));
        b[i] = nc_gl_from_u64(test_random(&seed));
    }
    for (na = 1; na < 80; na += 3)
        for (nb = 1; nb < 80; nb += 5) {
            memset(expected, 0, sizeof expected);
            for (i = 0; i < na; i++) nc_gl_vec_axpy(expected + i, a[i], b, nb);
            assert_int_equal(nc_gl_poly_mul(out, a, na, b, nb, NULL), NC_OK);
            assert_memory_equal(out, expected, (na + nb - 1) * sizeof *out);
        }
}

static void division_interpolation_and_values_fit_together(void **state) {
    uint64_t a[300], xs[300], ys[300], q[300], back[301], seed = 9;
    static const size_t sizes[] = {1, 2, 31, 32, 33, 64, 65, 100, 200, 300};
    size_t s, n, i;
    (void)state;
    for (s = 0; s < sizeof sizes / sizeof *sizes; s++) {
        n = sizes[s];
        for (i = 0; i < n; i++) {
            a[i] = nc_gl_from_u64(test_random(&seed));
            xs[i] = nc_gl_from_u64(test_random(&seed) % 1000003 * 1000 + i);
        }
        assert_int_equal(nc_gl_poly_divide_linear(q, a, n, 12345), nc_gl_poly_eval(a, n, 12345));
        back[0] = nc_gl_poly_eval(a, n, 12345); /* (x - z) q + remainder */
        for (i = 1; i < n; i++) back[i] = 0;
        for (i = 0; i + 1 < n; i++) {
            back[i] = nc_gl_sub(back[i], nc_gl_mul(12345, q[i]));
            back[i + 1] = nc_gl_add(back[i + 1], q[i]);
        }
        assert_memory_equal(back, a, n * sizeof *a);
        assert_int_equal(nc_gl_poly_divide_linear(back, back, n, 12345),
                         nc_gl_poly_eval(a, n, 12345)); /* in place */
        assert_memory_equal(back, q, (n - 1) * sizeof *q);
        assert_int_equal(nc_gl_poly_eval_many(ys, a, n, xs, n), NC_OK);
        for (i = 0; i < n; i++) assert_int_equal(ys[i], nc_gl_poly_eval(a, n, xs[i]));
        assert_int_equal(nc_gl_poly_interpolate(back, xs, ys, n, NULL), NC_OK);
        assert_memory_equal(back, a, n * sizeof *a);
        assert_int_equal(nc_gl_poly_zerofier(back, xs, n, NULL), NC_OK);
        assert_int_equal(back[n], 1);
        for (i = 0; i < n; i++) assert_int_equal(nc_gl_poly_eval(back, n + 1, xs[i]), 0);
        xs[n / 2] = xs[0];
        assert_int_equal(nc_gl_poly_interpolate(back, xs, ys, n, NULL),
                         n > 1 ? NC_ERR_MATH : NC_OK);
    }
    nc_gl_poly_add(back, a, 3, a, 5);
    for (i = 0; i < 5; i++) assert_int_equal(back[i], i < 3 ? nc_gl_add(a[i], a[i]) : a[i]);
    nc_gl_poly_add(a, a, 3, back, 5); /* in place, the second factor longer */
    assert_int_equal(a[4], back[4]);
}

static void overlapping_outputs_are_refused(void **state) {
    uint64_t a[128] = {1, 2, 3}, copy[128];
    (void)state;
    memcpy(copy, a, sizeof a);
    assert_int_equal(nc_gl_poly_mul(a + 1, a, 3, a + 3, 3, NULL), NC_ERR_ARG);
    assert_int_equal(nc_gl_poly_eval_many(a + 2, a, 3, a + 10, 3), NC_ERR_ARG);
    assert_int_equal(nc_gl_poly_zerofier(a, a + 3, 3, NULL), NC_ERR_ARG);
    assert_int_equal(nc_gl_poly_interpolate(a, a + 10, a + 2, 3, NULL), NC_ERR_ARG);
    assert_memory_equal(a, copy, sizeof a);
}

static void *refuse(void *user, size_t bytes, size_t align) {
    (void)align;
    *(uint64_t *)user = bytes;
    return NULL;
}
static void release(void *user, void *ptr, size_t bytes) { (void)user, (void)ptr, (void)bytes; }

/* 2^32 bytes of work, asked for whole or not at all. No operand is read: they are only addresses. */
static void the_largest_products_ask_for_all_of_their_memory(void **state) {
    uint64_t asked = 0;
    nc_allocator hooks = {refuse, release, &asked};
    nc_gl *out = (nc_gl *)(uintptr_t)0x10000000, *a = (nc_gl *)(uintptr_t)0x80000000;
    nc_gl *b = (nc_gl *)(uintptr_t)0xD0000000;
    (void)state;
    assert_int_equal(nc_gl_poly_mul(out, a, ((size_t)1 << 27) - 39, b, 41, &hooks), NC_ERR_MEMORY);
    assert_int_equal(asked, sizeof(size_t) > 4 ? UINT64_C(1) << 32 : 0);
    a = out + 107374183, b = a + 107374183, asked = 0;
    assert_int_equal(nc_gl_poly_interpolate(out, a, b, 107374183, &hooks), NC_ERR_MEMORY);
    assert_int_equal(asked, sizeof(size_t) > 4 ? UINT64_C(4294967336) : 0);
}

static void bad_sizes_and_failed_allocations_are_errors(void **state) {
    failing_memory memory = {0, 0, 0};
    nc_allocator hooks = {failing_alloc, failing_free, &memory};
    nc_gl_ntt *plan;
    uint64_t a[40] = {1}, out[80];
    nc_status status = NC_ERR_MEMORY;
    long k;
    (void)state;
    assert_int_equal(nc_gl_ntt_create(&plan, 29, NULL), NC_ERR_ARG);
    assert_null(plan);
    assert_int_equal(nc_gl_ntt_create(NULL, 3, NULL), NC_ERR_ARG);
    nc_gl_ntt_destroy(NULL);
    for (k = 0; status == NC_ERR_MEMORY; k++) {
        memory.until_failure = k;
        status = nc_gl_poly_mul(out, a, 40, a, 40, &hooks);
        assert_int_equal(memory.blocks, 0);
        assert_int_equal(memory.bytes, 0);
    }
    assert_int_equal(status, NC_OK);
    assert_true(k > 2);
    for (k = 0, status = NC_ERR_MEMORY; status == NC_ERR_MEMORY; k++) {
        uint64_t xs[80];
        size_t i;
        for (i = 0; i < 80; i++) xs[i] = i;
        memory.until_failure = k;
        status = nc_gl_poly_interpolate(out, xs, xs, 80, &hooks);
        assert_int_equal(memory.blocks, 0);
        assert_int_equal(memory.bytes, 0);
    }
    assert_int_equal(status, NC_OK);
    assert_true(out[1] == 1 && out[0] == 0 && k > 3); /* the polynomial x */
    assert_int_equal(nc_gl_poly_mul(out, a, (size_t)1 << 29, a, 1, NULL), NC_ERR_LIMIT);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(forward_agrees_with_field_json),
        cmocka_unit_test(transforms_equal_the_definition_and_invert),
        cmocka_unit_test(products_by_twiddles_are_canonical),
        cmocka_unit_test(large_transforms_invert_and_hold_the_values_of_the_polynomial),
        cmocka_unit_test(reversed_order_is_the_same_transform_without_its_last_step),
        cmocka_unit_test(many_columns_and_extensions_equal_single_transforms),
        cmocka_unit_test(products_agree_with_poly_json),
        cmocka_unit_test(products_by_transform_equal_schoolbook_at_every_length),
        cmocka_unit_test(division_interpolation_and_values_fit_together),
        cmocka_unit_test(overlapping_outputs_are_refused),
        cmocka_unit_test(the_largest_products_ask_for_all_of_their_memory),
        cmocka_unit_test(bad_sizes_and_failed_allocations_are_errors),
    };
    static const char *const name[] = {"goldilocks ntt", "goldilocks ntt, AVX2",
                                       "goldilocks ntt, AVX-512", "goldilocks ntt, IFMA"};
    int failed = 0, level;
    for (level = 0; level <= 3; level++) {
        if (nc_gl_set_simd(level) != NC_OK) continue;
        failed += cmocka_run_group_tests_name(name[level], tests, NULL, NULL);
    }
    return failed;
}
