/* nc_axx.h, sections scalar and io: multipliers, metrics, quantisation, linear layer. */
#include "test.h"
#include <math.h>
#include <unistd.h>
#include "../nc_axx.h"

static nc_axx_mult m, n;

static void published_tables_reproduce_their_metrics(void **state) {
    char path[1024];
    json_object *root;
    (void)state;
    if (!shared_data()) {
        printf("skipped: no shared data\n");
        skip();
    }
    snprintf(path, sizeof path, "%s/axx/metrics.json", shared_data());
    root = load_json(path);
    {
        json_object_object_foreach(root, name, entry) {
            json_object *measured = member(entry, "measured");
            nc_axx_metrics e;
            nc_error err;
            snprintf(path, sizeof path, "%s/axx/%s.i16", shared_data(), name);
            if (nc_axx_load_i16(&m, path, &err) != NC_OK) fail_msg("%s", err.message);
            assert_string_equal(m.name, name);
            nc_axx_measure(&m, &e);
            assert_true(fabs(e.mae - json_object_get_double(member(measured, "MAE"))) < 1e-3);
            assert_true(e.wce == json_object_get_double(member(measured, "WCE")));
            assert_true(fabs(e.ep - json_object_get_double(member(measured, "EP"))) < 1e-3);
            assert_true(fabs(e.mre - json_object_get_double(member(measured, "MRE"))) < 1e-3);
            assert_true(fabs(e.mse - json_object_get_double(member(measured, "MSE"))) < 1e-2);
        }
    }
    json_object_put(root);
}

static void exact_table_is_exact_and_generators_reach_it(void **state) {
    nc_axx_metrics e;
    int a, b;
    (void)state;
    nc_axx_exact(&m);
    for (a = -128; a < 128; a++)
        for (b = -128; b < 128; b++)
            assert_int_equal(nc_axx_product(&m, (int8_t)a, (int8_t)b), a * b);
    nc_axx_measure(&m, &e);
    assert_true(e.mae == 0 && e.wce == 0 && e.ep == 0 && e.bias == 0 && e.rmse == 0);
    assert_int_equal(nc_axx_truncated(&n, 0), NC_OK);
    assert_memory_equal(m.table, n.table, sizeof m.table);
    assert_int_equal(nc_axx_broken_array(&n, 0, 0), NC_OK);
    assert_memory_equal(m.table, n.table, sizeof m.table);
    assert_int_equal(nc_axx_drum(&n, 8), NC_OK);
    assert_memory_equal(m.table, n.table, sizeof m.table);
}

static void generated_products_agree_with_hand_computed_ones(void **state) {
    nc_axx_metrics e;
    (void)state;
    assert_int_equal(nc_axx_truncated(&m, 3), NC_OK);
    /* 7 * 7: columns 0..4 of the array hold 1 2 3 2 1 products; without 0..2: 2*8 + 16 */
    assert_int_equal(nc_axx_product(&m, 7, 7), 32);
    assert_int_equal(nc_axx_product(&m, -7, 7), -32);
    assert_int_equal(nc_axx_broken_array(&m, 2, 0), NC_OK); /* rows 0 and 1 of b are gone */
    assert_int_equal(nc_axx_product(&m, 5, 7), 20);
    assert_int_equal(nc_axx_product(&m, 5, 3), 0);
    nc_axx_mitchell(&m);
    assert_int_equal(nc_axx_product(&m, 3, 3), 8); /* the known worst case, 11.1 % low */
    assert_int_equal(nc_axx_product(&m, 64, -2), -128);
    assert_int_equal(nc_axx_product(&m, 0, 99), 0);
    nc_axx_measure(&m, &e);
    assert_true(e.wcre < 11.2 && e.wcre > 11.0);
    assert_int_equal(nc_axx_drum(&m, 3), NC_OK);
    assert_int_equal(nc_axx_product(&m, 100, 2), 112 * 2); /* 1100100 -> 111 0000 */
    assert_int_equal(nc_axx_product(&m, 7, 7), 49);
    assert_int_equal(nc_axx_truncated(&m, 16), NC_ERR_ARG);
    assert_int_equal(nc_axx_broken_array(&m, 9, 0), NC_ERR_ARG);
    assert_int_equal(nc_axx_drum(&m, 2), NC_ERR_ARG);
    assert_int_equal(nc_axx_drum(NULL, 4), NC_ERR_ARG);
}

static void quantisation_rounds_to_even_and_clamps(void **state) {
    const float x[] = {0.5f,   1.5f,    2.5f,    -0.5f, -1.5f, 126.5f,
                       127.6f, -127.6f, -500.0f, NAN,   1e30f};
    const int expected[] = {0, 2, 2, 0, -2, 126, 127, -128, -128, 0, 127};
    int8_t q[11];
    size_t i;
    (void)state;
    nc_axx_quantize(q, x, 11, 1.0f, 8);
    for (i = 0; i < 11; i++) assert_int_equal(q[i], expected[i]);
    nc_axx_quantize(q, x, 11, 1.0f, 3);
    assert_int_equal(q[5], 3);
    assert_int_equal(q[8], -4);
    assert_true(nc_axx_scale(2.0f, 8) == 63.5f && nc_axx_scale(1.0f, 4) == 7.0f);
    assert_true(nc_axx_scale(5e-8f, 8) == 0.0f && nc_axx_scale(NAN, 8) == 0.0f);
    assert_true(nc_axx_amax(x, 4) == 2.5f && nc_axx_amax(x, 10) == 500.0f);
    assert_true(nc_axx_amax(x, 0) == 0.0f);
}

static void linear_equals_the_naive_integer_loop(void **state) {
    enum { R = 5, K = 37, O = 7 };
    int8_t x[R * K], w[O * K];
    float scale[O], bias[O], y[R * O];
    uint64_t seed = 9;
    int r, o, k;
    (void)state;
    assert_int_equal(nc_axx_truncated(&m, 5), NC_OK);
    for (k = 0; k < R * K; k++) x[k] = (int8_t)test_random(&seed);
    for (k = 0; k < O * K; k++) w[k] = (int8_t)test_random(&seed);
    for (o = 0; o < O; o++) {
        scale[o] = (float)o; /* scale 0: the product counts as 0 */
        bias[o] = (float)o / 3;
    }
    assert_int_equal(nc_axx_linear(&m, x, 3.7f, w, scale, bias, y, R, K, O), NC_OK);
    for (r = 0; r < R; r++)
        for (o = 0; o < O; o++) {
            int sum = 0;
            float expected;
            for (k = 0; k < K; k++) sum += nc_axx_product(&m, x[r * K + k], w[o * K + k]);
            expected = o ? (float)sum / (3.7f * scale[o]) + bias[o] : bias[o];
            assert_memory_equal(&expected, &y[r * O + o], 4);
        }
    assert_int_equal(nc_axx_linear(NULL, x, 1, w, scale, bias, y, R, K, O), NC_ERR_ARG);
    assert_int_equal(nc_axx_linear(&m, x, 1, w, scale, bias, y, R, 65536, O), NC_ERR_LIMIT);
}

static void tables_survive_a_round_trip_and_damaged_files_are_refused(void **state) {
    char path[] = "build/test_table.i16";
    nc_error err;
    FILE *file;
    (void)state;
    nc_axx_mitchell(&m);
    assert_int_equal(nc_axx_save_i16(&m, path, &err), NC_OK);
    assert_int_equal(nc_axx_load_i16(&n, path, &err), NC_OK);
    assert_memory_equal(m.table, n.table, sizeof m.table);
    assert_string_equal(n.name, "test_table");
    m.table[77] = 32768;
    assert_int_equal(nc_axx_save_i16(&m, path, &err), NC_ERR_LIMIT);
    assert_int_equal(nc_axx_load_i16(&n, path, &err), NC_OK); /* the old file is untouched */
    assert_int_equal(truncate(path, 131071), 0);
    assert_int_equal(nc_axx_load_i16(&n, path, &err), NC_ERR_FORMAT);
    assert_non_null(strstr(err.message, "131071"));
    file = fopen(path, "ab");
    fputs("xx", file);
    fclose(file);
    assert_int_equal(nc_axx_load_i16(&n, path, &err), NC_ERR_FORMAT);
    assert_int_equal(nc_axx_load_i16(&n, "build/missing.i16", &err), NC_ERR_IO);
    assert_int_equal(nc_axx_load_i16(&n, NULL, &err), NC_ERR_ARG);
    unlink(path);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(published_tables_reproduce_their_metrics),
        cmocka_unit_test(exact_table_is_exact_and_generators_reach_it),
        cmocka_unit_test(generated_products_agree_with_hand_computed_ones),
        cmocka_unit_test(quantisation_rounds_to_even_and_clamps),
        cmocka_unit_test(linear_equals_the_naive_integer_loop),
        cmocka_unit_test(tables_survive_a_round_trip_and_damaged_files_are_refused),
    };
    return cmocka_run_group_tests_name("axx scalar", tests, NULL, NULL);
}
