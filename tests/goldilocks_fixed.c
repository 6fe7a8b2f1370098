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

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(encoding_agrees_with_fixed_json),
        cmocka_unit_test(both_multiplications_agree_with_fixed_json),
        cmocka_unit_test(dot_products_rescale_once_as_in_fixed_json),
        cmocka_unit_test(inverses_and_relu_agree_with_fixed_json),
        cmocka_unit_test(out_of_range_reals_are_errors_and_ties_go_away_from_zero),
    };
    return cmocka_run_group_tests_name("goldilocks fixed", tests, NULL, NULL);
}
