/* nc_goldilocks.h, section scalar: number-theoretic transforms and polynomials. */
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

static void large_round_trips_return_the_input(void **state) {
    uint32_t log2_n;
    (void)state;
    for (log2_n = 9; log2_n <= 22; log2_n++) {
        size_t n = (size_t)1 << log2_n, i;
        nc_gl_ntt *plan = plan_of(log2_n);
        uint64_t *x = malloc(n * sizeof *x), seed = log2_n;
        for (i = 0; i < n; i++) x[i] = nc_gl_from_u64(test_random(&seed));
        nc_gl_ntt_forward(plan, x);
        nc_gl_ntt_inverse(plan, x);
        for (i = 0, seed = log2_n; i < n; i++)
            assert_int_equal(x[i], nc_gl_from_u64(test_random(&seed)));
        free(x);
        nc_gl_ntt_destroy(plan);
    }
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
    assert_int_equal(nc_gl_poly_mul(out, a, (size_t)1 << 29, a, 1, NULL), NC_ERR_LIMIT);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(forward_agrees_with_field_json),
        cmocka_unit_test(transforms_equal_the_definition_and_invert),
        cmocka_unit_test(large_round_trips_return_the_input),
        cmocka_unit_test(products_agree_with_poly_json),
        cmocka_unit_test(products_by_transform_equal_schoolbook_at_every_length),
        cmocka_unit_test(bad_sizes_and_failed_allocations_are_errors),
    };
    int failed = 0, level;
    for (level = 0; level <= 2; level += 2) {
        if (nc_gl_set_simd(level) != NC_OK) continue;
        failed += cmocka_run_group_tests_name(level ? "goldilocks ntt, AVX-512" : "goldilocks ntt",
                                              tests, NULL, NULL);
    }
    return failed;
}
