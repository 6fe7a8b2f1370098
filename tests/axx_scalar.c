/* nc_axx.h, sections families and quantise: multipliers, metrics, quantisation, calibrators. */
#include "test.h"
#include <math.h>
#include "../nc_axx.h"

static nc_axx_mult m, n;

static void make(nc_axx_mult *to, const char *spec) {
    nc_error err;
    if (nc_axx_make(to, spec, &err) != NC_OK) fail_msg("%s: %s", spec, err.message);
}

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
            if (nc_axx_load(&m, path, NC_AXX_FORM_AUTO, &err) != NC_OK) fail_msg("%s", err.message);
            assert_string_equal(m.name, name);
            make(&n, name); /* and its name alone gives the same */
            assert_memory_equal(&m, &n, sizeof m);
            nc_axx_measure(&m, &e);
            assert_true(fabs(e.mae - json_object_get_double(member(measured, "MAE"))) < 1e-3);
            assert_true(e.wce == json_object_get_double(member(measured, "WCE")));
            assert_true(fabs(e.ep - json_object_get_double(member(measured, "EP"))) < 1e-3);
            assert_true(fabs(e.mre - json_object_get_double(member(measured, "MRE"))) < 1e-3);
            assert_true(fabs(e.mse - json_object_get_double(member(measured, "MSE"))) < 1e-2);
            assert_true(fabs((double)m.relative_power -
                             json_object_get_double(member(entry, "PDK45_PWR")) / 0.425) < 1e-6);
        }
    }
    json_object_put(root);
}

/* Figures that EvoApproxLib publishes, as they stand there. */
static void published_names_give_published_figures(void **state) {
    static const struct {
        const char *name;
        double mae, wce, ep, mse, power;
    } of[] = {{"mul8s_1KV8", 0, 0, 0, 0, 0.425},
              {"mul8s_1KVA", 1.2, 5, 50.0, 3.8, 0.422},
              {"mul8s_1KVL", 101, 449, 91.89, 19690, 0.289},
              {"mul8s_1L2D", 150, 759, 93.16, 38236, 0.2},
              {"mul8s_1L2H", 53, 255, 74.61, 5462, 0.301},
              {"mul8s_1KR3", 2016, 8064, 98.05, 7282910.2, 0.052}};
    size_t i;
    (void)state;
    for (i = 0; i < sizeof of / sizeof *of; i++) {
        nc_axx_metrics e;
        make(&m, of[i].name);
        nc_axx_measure(&m, &e);
        assert_true(e.wce == of[i].wce);
        assert_true(fabs(e.mae - of[i].mae) <= 0.01 * of[i].mae + 0.06);
        assert_true(fabs(e.ep - of[i].ep) <= 0.006);
        assert_true(fabs(e.mse - of[i].mse) <= 0.06 + 1e-4 * of[i].mse);
        assert_true(fabs((double)m.relative_power - of[i].power / 0.425) < 1e-6);
    }
}

static void exact_table_is_exact_and_every_family_reaches_it(void **state) {
    static const char *const same[] = {"truncated:0", "broken_array:0:0", "kulkarni:0",
                                       "drum:8",      "iterative_log:7",  "static_segment:8"};
    static const char *const of_unsigned[] = {"truncated:0+unsigned", "drum:8+unsigned",
                                              "static_segment:8+unsigned"};
    nc_axx_metrics e;
    size_t i;
    int a, b;
    (void)state;
    make(&m, "exact");
    for (a = -128; a < 128; a++)
        for (b = -128; b < 128; b++) assert_int_equal(nc_axx_product(&m, a, b), a * b);
    nc_axx_measure(&m, &e);
    assert_true(e.mae == 0 && e.wce == 0 && e.ep == 0 && e.bias == 0 && e.rmse == 0);
    for (i = 0; i < sizeof same / sizeof *same; i++) {
        make(&n, same[i]);
        assert_memory_equal(m.table, n.table, sizeof m.table);
    }
    make(&m, "exact+unsigned");
    for (a = 0; a < 256; a++)
        for (b = 0; b < 256; b++) assert_int_equal(nc_axx_product(&m, a, b), a * b);
    for (i = 0; i < sizeof of_unsigned / sizeof *of_unsigned; i++) {
        make(&n, of_unsigned[i]);
        assert_memory_equal(m.table, n.table, sizeof m.table);
    }
}

static void generated_products_agree_with_hand_computed_ones(void **state) {
    static const struct {
        const char *spec;
        int a, b, product;
    } cases[] = {
        /* 7 * 7: columns 0 to 4 of the array hold 1 2 3 2 1 products; without 0 to 2: 2 * 8 + 16 */
        {"truncated:3", 7, 7, 32},
        {"truncated:3", -7, 7, -32},
        {"broken_array:2:0", 5, 7, 20}, /* rows 0 and 1 of b are gone */
        {"broken_array:2:0", 5, 3, 0},
        {"kulkarni:7", 3, 3, 7},
        {"kulkarni:7", 15, 3, 35}, /* 7 + 4 * 7 */
        {"kulkarni:1", 15, 3, 43}, /* 7 + 4 * 9 */
        {"kulkarni:7", -3, 2, -6},
        {"drum:3", 100, 2, 224}, /* 1100100 -> 111 0000 */
        {"drum:3", 7, 7, 49},
        {"mitchell", 3, 3, 8}, /* the known worst case, 11.1 % low */
        {"mitchell", 64, -2, -128},
        {"mitchell", 0, 99, 0},
        {"iterative_log:0", 3, 3, 8}, /* 4 + 2 + 2, without 1 * 1 */
        {"iterative_log:1", 3, 3, 9},
        {"iterative_log:0", 7, 7, 40}, /* 16 + 12 + 12 */
        {"iterative_log:1", 7, 7, 48}, /* and 4 + 2 + 2 of 3 * 3 */
        {"roba", 3, 3, 8},             /* 2 * 3 + 3 * 2 - 4 */
        {"roba", 6, 7, 40},            /* 8, 8: 56 + 48 - 64 */
        {"roba", -5, 9, -44},          /* 4, 8: 36 + 40 - 32 */
        {"static_segment:4", 15, 15, 225},
        {"static_segment:4", 100, 7, 96 * 7},
        {"error_tolerant:4", 15, 13, 195},          /* both high parts 0: exact */
        {"error_tolerant:4", 32, 48, 6 * 256},      /* both low parts 0 */
        {"error_tolerant:4", 33, 48, 6 * 256 + 31}, /* bit 0: ones from bit 4 down */
        {"error_tolerant:4", 40, 48, 6 * 256 + 255},
        {"exact+unsigned", 255, 255, 65025},
        {"drum:4+unsigned", 255, 1, 240 | 0},
    };
    nc_axx_metrics e;
    size_t i;
    (void)state;
    for (i = 0; i < sizeof cases / sizeof *cases; i++) {
        make(&m, cases[i].spec);
        if (nc_axx_product(&m, cases[i].a, cases[i].b) != cases[i].product)
            fail_msg("%s: %d * %d = %d, not %d", cases[i].spec, cases[i].a, cases[i].b,
                     (int)nc_axx_product(&m, cases[i].a, cases[i].b), cases[i].product);
    }
    make(&m, "mitchell");
    nc_axx_measure(&m, &e);
    assert_true(e.wcre < 11.2 && e.wcre > 11.0);
    make(&m, "drum:6+unsigned"); /* Hashemi et al.: mean relative error of DRUM-6 about 1.5 % */
    nc_axx_measure(&m, &e);
    assert_true(e.mre > 0.2 && e.mre < 1.5);
}

static void specifications_are_checked_with_their_column(void **state) {
    static const struct {
        const char *spec;
        int column;
    } bad[] = {{"", 1},
               {"wallace", 1},
               {"truncated", 10},
               {"truncated:", 10},
               {"truncated:x", 10},
               {"truncated:16", 11},
               {"drum:2", 6},
               {"drum:4:1", 7},
               {"broken_array:1", 15},
               {"broken_array:9:0", 14},
               {"exact+signed", 6},
               {"exact+compensated+unsigned", 18}};
    nc_error err;
    size_t i;
    uint32_t low[2], high[2];
    (void)state;
    for (i = 0; i < sizeof bad / sizeof *bad; i++) {
        if (nc_axx_make(&m, bad[i].spec, &err) != NC_ERR_FORMAT || err.column != bad[i].column)
            fail_msg("'%s': column %d, %s", bad[i].spec, (int)err.column, err.message);
    }
    assert_int_equal(nc_axx_make(NULL, "exact", &err), NC_ERR_ARG);
    assert_int_equal(nc_axx_generate(&m, NC_AXX_TRUNCATED, 16, 0, 0), NC_ERR_ARG);
    assert_int_equal(nc_axx_generate(&m, NC_AXX_DRUM, 2, 0, 0), NC_ERR_ARG);
    assert_int_equal(nc_axx_generate(NULL, NC_AXX_DRUM, 4, 0, 0), NC_ERR_ARG);
    assert_int_equal(nc_axx_generate(&m, NC_AXX_FAMILY_COUNT, 0, 0, 0), NC_ERR_ARG);
    assert_string_equal(nc_axx_family_info(NC_AXX_BROKEN_ARRAY, low, high), "broken_array");
    assert_true(high[0] == 8 && high[1] == 15 && low[0] == 0);
    assert_null(nc_axx_family_info(NC_AXX_FAMILY_COUNT, NULL, NULL));
}

static void compensation_takes_the_bias_away(void **state) {
    nc_axx_metrics before, after;
    int a;
    (void)state;
    make(&m, "truncated:6");
    make(&n, "truncated:6+compensated");
    assert_string_equal(n.name, "truncated_6+c");
    nc_axx_measure(&m, &before);
    nc_axx_measure(&n, &after);
    assert_true(after.mae < before.mae && after.mse < before.mse);
    assert_true(fabs(after.bias) < 1);
    for (a = -128; a < 128; a++) assert_int_equal(nc_axx_product(&n, a, 0), 0);
    make(&n, "truncated:6+unsigned+compensated");
    nc_axx_measure(&n, &after);
    assert_true(fabs(after.bias) < 1);
}

static void unsigned_multipliers_serve_signed_weights(void **state) {
    int a, b;
    (void)state;
    make(&m, "mitchell+unsigned");
    assert_int_equal(nc_axx_signed(&n, &m, 0), NC_OK);
    make(&m, "mitchell");
    assert_memory_equal(m.table, n.table, sizeof m.table);
    make(&m, "exact+unsigned");
    assert_int_equal(nc_axx_signed(&m, &m, 1), NC_OK);
    for (a = 0; a < 256; a++)
        for (b = -128; b < 128; b++) assert_int_equal(nc_axx_product(&m, a, b), a * b);
    assert_int_equal(nc_axx_signed(&n, &m, 1), NC_ERR_ARG);
}

static void errors_are_counted_in_bins(void **state) {
    uint32_t counts[4];
    (void)state;
    make(&m, "exact");
    m.table[0] += 5;
    m.table[1] -= 100;
    m.table[2] += 1000;
    assert_int_equal(nc_axx_histogram(&m, -10, 10, counts, 4), NC_OK); /* -10 0 10 20 */
    assert_true(counts[0] == 1 && counts[1] == 65534 && counts[2] == 0 && counts[3] == 1);
    assert_int_equal(nc_axx_histogram(&m, 0, 0, counts, 4), NC_ERR_ARG);
    assert_int_equal(nc_axx_histogram(&m, 0, 1, counts, 0), NC_ERR_ARG);
}

static void quantisation_rounds_to_even_and_clamps(void **state) {
    const float x[] = {0.5f,   1.5f,    2.5f,    -0.5f, -1.5f, 126.5f,
                       127.6f, -127.6f, -500.0f, NAN,   1e30f};
    const int expected[] = {0, 2, 2, 0, -2, 126, 127, -128, -128, 0, 127};
    float y[11], scales[2];
    int8_t q[11];
    uint8_t u[11];
    size_t i;
    (void)state;
    nc_axx_quantize(q, x, 11, 1.0f, 8);
    for (i = 0; i < 11; i++) assert_int_equal(q[i], expected[i]);
    nc_axx_quantize(q, x, 11, 1.0f, 3);
    assert_int_equal(q[5], 3);
    assert_int_equal(q[8], -4);
    nc_axx_quantize_unsigned(u, x, 11, 2.0f, 8);
    assert_true(u[0] == 1 && u[5] == 253 && u[6] == 255 && u[7] == 0 && u[9] == 0);
    assert_true(nc_axx_scale(2.0f, 8) == 63.5f && nc_axx_scale(1.0f, 4) == 7.0f);
    assert_true(nc_axx_scale_unsigned(1.0f, 8) == 255.0f);
    assert_true(nc_axx_scale(5e-8f, 8) == 0.0f && nc_axx_scale(NAN, 8) == 0.0f);
    assert_true(nc_axx_amax(x, 4) == 2.5f && nc_axx_amax(x, 10) == 500.0f);
    assert_true(nc_axx_amax(x, 0) == 0.0f);
    nc_axx_quantize_rows(q, scales, x, 2, 3, 8);
    assert_true(scales[0] == 127.0f / 2.5f && scales[1] == 127.0f / 126.5f);
    assert_true(q[2] == 127 && q[0] == 25 && q[5] == 127);
    nc_axx_dequantize(y, q, 3, scales[0], 0);
    assert_true(y[2] == 127.0f / scales[0]);
    nc_axx_dequantize(y, u, 7, 2.0f, 1);
    assert_true(y[6] == 127.5f);
    nc_axx_dequantize(y, u, 7, 0.0f, 1);
    assert_true(y[6] == 0.0f);
}

/* The values of tests/golden_axx.py. */
static float *golden_values(const char *kind, size_t count, uint64_t seed) {
    float *u = malloc(6 * count * sizeof *u);
    size_t i, k;
    for (i = 0; i < 6 * count; i++) {
        seed = seed * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
        u[i] = (float)(seed >> 40) / 16777216.0f;
    }
    for (i = 0; i < count; i++) {
        float bell = u[i];
        for (k = 1; k < 6; k++) bell += u[k * count + i];
        bell -= 3.0f;
        if (!strcmp(kind, "uniform"))
            u[i] = u[i] * 2.0f - 1.0f;
        else if (!strcmp(kind, "bell"))
            u[i] = bell;
        else if (!strcmp(kind, "relu"))
            u[i] = (bell > 0 ? bell : 0) * 3.0f;
        else
            u[i] = (u[i] - 0.5f) / (u[count + i] + 0.001f);
    }
    return u;
}

static void calibrators_find_what_numpy_finds(void **state) {
    static const struct {
        const char *key;
        nc_axx_calibration method;
        double percent;
        uint32_t bits;
    } methods[] = {{"max", NC_AXX_CALIBRATE_MAX, 0, 8},
                   {"percentile_99.99", NC_AXX_CALIBRATE_PERCENTILE, 0, 8},
                   {"percentile_90", NC_AXX_CALIBRATE_PERCENTILE, 90, 8},
                   {"mse_8", NC_AXX_CALIBRATE_MSE, 0, 8},
                   {"mse_4", NC_AXX_CALIBRATE_MSE, 0, 4},
                   {"entropy_8", NC_AXX_CALIBRATE_ENTROPY, 0, 8},
                   {"entropy_6", NC_AXX_CALIBRATE_ENTROPY, 0, 6}};
    static nc_axx_calibrator c, half, rest, read;
    static uint8_t bytes[NC_AXX_CALIBRATOR_BYTES];
    json_object *root = load_json(TEST_DATA "axx/calibration.json"), *cases = member(root, "cases");
    size_t i, k;
    (void)state;
    for (i = 0; i < json_object_array_length(cases); i++) {
        json_object *entry = json_object_array_get_idx(cases, i);
        const char *kind = json_object_get_string(member(entry, "kind"));
        const size_t count = (size_t)json_object_get_int(member(entry, "n"));
        float *x = golden_values(kind, count, (uint64_t)json_object_get_int(member(entry, "seed")));
        nc_axx_calibrator_reset(&c);
        nc_axx_calibrator_collect(&c, x, count);
        assert_int_equal(c.exponent, json_object_get_int(member(entry, "exponent")));
        for (k = 0; k < sizeof methods / sizeof *methods; k++) {
            const float amax =
                nc_axx_calibrator_amax(&c, methods[k].method, methods[k].percent, methods[k].bits);
            const double expected = json_object_get_double(member(entry, methods[k].key));
            if ((double)amax != expected)
                fail_msg("%s %zu, %s: %.9g, numpy %.9g", kind, count, methods[k].key, (double)amax,
                         expected);
        }
        nc_axx_calibrator_reset(&half); /* in any order, in parts, merged: the same */
        nc_axx_calibrator_reset(&rest);
        for (k = count; k-- > count / 3;) nc_axx_calibrator_collect(&rest, x + k, 1);
        nc_axx_calibrator_collect(&half, x, count / 3);
        nc_axx_calibrator_merge(&half, &rest);
        assert_memory_equal(&half, &c, sizeof c);
        nc_axx_calibrator_save(&c, bytes);
        assert_int_equal(nc_axx_calibrator_load(&read, bytes, sizeof bytes), NC_OK);
        assert_memory_equal(&read, &c, sizeof c);
        free(x);
    }
    json_object_put(root);
}

/* Values of a kind: even, bell, one-sided, heavy tail, sparse, one magnitude, subnormal, huge. */
static float drawn(int kind, uint64_t *lcg) {
    float u[6], bell = -3.0f;
    int i;
    for (i = 0; i < 6; i++) {
        *lcg = *lcg * 6364136223846793005u + 1442695040888963407u;
        u[i] = (float)(*lcg >> 40) / 16777216.0f;
        bell += u[i];
    }
    switch (kind) {
    case 0: return u[0] - 0.5f;
    case 1: return bell;
    case 2: return bell > 0 ? bell * 1e-3f : 0.0f;
    case 3: return (u[0] - 0.5f) / (u[1] + 1e-5f);
    case 4: return u[1] < 0.99f ? 0.0f : bell * 4.0f;
    case 5: return u[0] < 0.5f ? -0.3f : 0.3f;
    case 6: return bell * 1e-41f;
    case 7: return bell * 1.1e38f;
    default: return ldexpf(u[0] < 0.5f ? -1.0f : 1.0f, (int)(u[1] * 8)); /* on the bins' edges */
    }
}

static double square_error(const float *x, size_t n, float amax, uint32_t bits) {
    const float scale = nc_axx_scale(amax, bits);
    double sum = 0;
    size_t i;
    for (i = 0; i < n; i++) {
        int8_t q;
        nc_axx_quantize(&q, &x[i], 1, scale, bits);
        sum += pow((double)x[i] - (scale != 0.0f ? (double)q / (double)scale : 0.0), 2);
    }
    return sum;
}

static void calibrators_never_exceed_the_largest_value(void **state) {
    enum { N = 3000, ROWS = 5 };
    static float x[N];
    static nc_axx_calibrator c, parts[2];
    uint64_t lcg = 11;
    size_t i, r;
    uint32_t bits;
    int kind, method, round;
    (void)state;
    for (round = 0; round < 27; round++) {
        const size_t n = round < 9 ? N : round < 18 ? 200 : 1 + (size_t)(lcg >> 33) % 20;
        float amax, last = 0, rows[ROWS];
        kind = round % 9;
        for (i = 0; i < n; i++) x[i] = drawn(kind, &lcg);
        nc_axx_calibrator_reset(&c);
        nc_axx_calibrator_reset(&parts[0]);
        nc_axx_calibrator_reset(&parts[1]);
        nc_axx_calibrator_collect(&c, x, n);
        for (i = 0; i < n;) { /* widened now and then, in two that are merged */
            const size_t some = 1 + (size_t)(lcg >> 40) % (n - i);
            (void)drawn(0, &lcg);
            nc_axx_calibrator_collect(&parts[lcg >> 63], x + i, some);
            i += some;
        }
        nc_axx_calibrator_merge(&parts[0], &parts[1]);
        assert_memory_equal(&parts[0], &c, sizeof c);
        assert_true(c.amax == nc_axx_amax(x, n));
        for (method = 0; method < NC_AXX_CALIBRATION_COUNT; method++)
            for (bits = 2; bits <= 8; bits += 3) {
                const nc_axx_calibration by = (nc_axx_calibration)method;
                amax = nc_axx_calibrator_amax(&c, by, 0, bits);
                if (!(amax <= c.amax && (amax > 0 || c.amax <= 0)))
                    fail_msg("kind %d, method %d, %u bits: %.9g of %.9g", kind, method, bits,
                             (double)amax, (double)c.amax);
                if (by == NC_AXX_CALIBRATE_MSE && n == N && kind < 6)
                    assert_true(square_error(x, n, amax, bits) <=
                                1.02 * square_error(x, n, c.amax, bits));
                assert_int_equal(nc_axx_calibrate_rows(rows, x, 1, n, by, 0, bits), NC_OK);
                assert_true(rows[0] == amax);
            }
        for (i = 1; i <= 100; i++) { /* rising, and that share of the values is not above */
            size_t below = 0;
            amax = nc_axx_calibrator_amax(&c, NC_AXX_CALIBRATE_PERCENTILE, (double)i, 8);
            for (r = 0; r < n; r++) below += fabsf(x[r]) <= amax;
            assert_true(amax >= last && amax <= c.amax && 100 * below >= i * n);
            last = amax;
        }
        assert_true(last == c.amax);
    }
}

static void rows_are_calibrated_each_by_itself(void **state) {
    enum { ROWS = 3, COLUMNS = 500 };
    static float x[ROWS * COLUMNS];
    static nc_axx_calibrator c;
    static int8_t q[ROWS * COLUMNS], expected[ROWS * COLUMNS];
    float amax[ROWS], scales[ROWS], one;
    uint64_t lcg = 5;
    size_t i, r;
    (void)state;
    for (i = 0; i < ROWS * COLUMNS; i++) x[i] = drawn(1, &lcg) * (float)(1 + i / COLUMNS);
    x[7] = 50.0f; /* an outlier that a percentile leaves out */
    assert_int_equal(
        nc_axx_calibrate_rows(amax, x, ROWS, COLUMNS, NC_AXX_CALIBRATE_PERCENTILE, 99, 8), NC_OK);
    for (r = 0; r < ROWS; r++) {
        nc_axx_calibrator_reset(&c);
        nc_axx_calibrator_collect(&c, x + r * COLUMNS, COLUMNS);
        one = nc_axx_calibrator_amax(&c, NC_AXX_CALIBRATE_PERCENTILE, 99, 8);
        assert_true(amax[r] == one && amax[r] < 4.0f * (float)(1 + r));
        nc_axx_quantize(expected + r * COLUMNS, x + r * COLUMNS, COLUMNS, nc_axx_scale(one, 8), 8);
    }
    nc_axx_quantize_rows_at(q, scales, amax, x, ROWS, COLUMNS, 8);
    assert_memory_equal(q, expected, sizeof q);
    assert_true(scales[1] == nc_axx_scale(amax[1], 8));
    assert_int_equal(q[7], 127);
    assert_int_equal(nc_axx_calibrate_rows(amax, x, ROWS, COLUMNS, NC_AXX_CALIBRATE_MAX, 0, 8),
                     NC_OK);
    nc_axx_quantize_rows_at(q, scales, amax, x, ROWS, COLUMNS, 8);
    nc_axx_quantize_rows(expected, scales, x, ROWS, COLUMNS, 8);
    assert_memory_equal(q, expected, sizeof q);
    assert_int_equal(nc_axx_calibrate_rows(NULL, x, 1, 2, NC_AXX_CALIBRATE_MAX, 0, 8), NC_ERR_ARG);
    assert_int_equal(nc_axx_calibrate_rows(amax, NULL, 1, 2, NC_AXX_CALIBRATE_MAX, 0, 8),
                     NC_ERR_ARG);
    assert_int_equal(nc_axx_calibrate_rows(amax, x, 1, 2, NC_AXX_CALIBRATION_COUNT, 0, 8),
                     NC_ERR_ARG);
    assert_int_equal(nc_axx_calibrate_rows(amax, x, 1, 2, NC_AXX_CALIBRATE_MAX, 101, 8),
                     NC_ERR_ARG);
    assert_int_equal(nc_axx_calibrate_rows(amax, x, 1, 2, NC_AXX_CALIBRATE_MAX, 0, 9), NC_ERR_ARG);
}

static void damaged_calibrators_are_refused(void **state) {
    static nc_axx_calibrator c, read;
    static uint8_t bytes[NC_AXX_CALIBRATOR_BYTES];
    const float x[] = {1.0f, -3.0f, NAN, INFINITY, 0.0f};
    size_t i;
    (void)state;
    nc_axx_calibrator_collect(&c, x, 5);
    assert_true(c.count == 3 && c.amax == 3.0f && c.exponent == 2);
    nc_axx_calibrator_save(&c, bytes);
    for (i = 0; i < sizeof bytes; i += 61) {
        bytes[i] ^= 16;
        assert_int_not_equal(nc_axx_calibrator_load(&read, bytes, sizeof bytes), NC_OK);
        bytes[i] ^= 16;
    }
    assert_int_equal(nc_axx_calibrator_load(&read, bytes, sizeof bytes - 1), NC_ERR_FORMAT);
    assert_int_equal(nc_axx_calibrator_load(&read, NULL, 0), NC_ERR_ARG);
    assert_true(nc_axx_calibrator_amax(&c, NC_AXX_CALIBRATE_MAX, 0, 9) == 0.0f);
    assert_true(nc_axx_calibrator_amax(&c, NC_AXX_CALIBRATION_COUNT, 0, 8) == 0.0f);
    nc_axx_calibrator_reset(&c);
    assert_true(nc_axx_calibrator_amax(&c, NC_AXX_CALIBRATE_MAX, 0, 8) == 0.0f);
}

/* Whatever the table of families holds, now and later. */
static void every_family_is_read_by_its_name_and_refuses_what_is_out_of_range(void **state) {
    uint32_t family, low[2], high[2], i;
    nc_error err;
    (void)state;
    for (family = 0; family < NC_AXX_FAMILY_COUNT; family++) {
        const char *name = nc_axx_family_info((nc_axx_family)family, low, high);
        static nc_axx_mult read, made;
        char text[64];
        for (i = 0; i < 2; i++) { /* the least parameters, then the most */
            const uint32_t *p = i ? high : low;
            int at = snprintf(text, sizeof text, "%s", name);
            if (high[0]) at += snprintf(text + at, sizeof text - (size_t)at, ":%u", (unsigned)p[0]);
            if (high[1]) snprintf(text + at, sizeof text - (size_t)at, ":%u", (unsigned)p[1]);
            if (nc_axx_make(&read, text, &err) != NC_OK) fail_msg("%s: %s", text, err.message);
            assert_int_equal(nc_axx_generate(&made, (nc_axx_family)family, p[0], p[1], 0), NC_OK);
            assert_memory_equal(&read, &made, sizeof read);
            assert_true(strncmp(made.name, name, strlen(name)) == 0);
        }
        assert_int_equal(nc_axx_generate(&made, (nc_axx_family)family, high[0] + 1, high[1], 0),
                         NC_ERR_ARG);
        assert_int_equal(nc_axx_generate(&made, (nc_axx_family)family, high[0], high[1] + 1, 0),
                         NC_ERR_ARG);
    }
}

static void published_multipliers_are_listed_by_falling_power(void **state) {
    static nc_axx_mult m;
    float power, last = 1.0f;
    uint32_t i;
    (void)state;
    for (i = 0; nc_axx_published(i, &power); i++) {
        assert_int_equal(nc_axx_make(&m, nc_axx_published(i, NULL), NULL), NC_OK);
        assert_true(power > 0 && power <= last && m.relative_power - power == 0);
        assert_string_equal(m.name, nc_axx_published(i, NULL));
        last = power;
    }
    assert_int_equal(i, 6);
    assert_null(nc_axx_published(UINT32_MAX, NULL));
}

static void products_of_32_bits_stay_within(void **state) {
    static nc_axx_mult m, n;
    nc_error err;
    size_t i;
    (void)state;
    assert_int_equal(nc_axx_make(&m, "exact", &err), NC_OK);
    assert_int_equal(nc_axx_product(&m, INT32_MAX, INT32_MIN + 5), -5); /* the low bytes */
    for (i = 0; i < 65536; i++) m.table[i] = INT32_MIN;
    m.table[0] = INT32_MAX;
    nc_axx_compensate(&m);
    assert_int_equal(m.table[0], INT32_MAX);
    assert_true(m.table[65535] > -140000 && m.table[65535] < 140000); /* 2^32 of 32,513 */
    assert_int_equal(nc_axx_make(&m, "exact+unsigned", &err), NC_OK);
    m.table[99] = INT32_MIN;
    memset(&n, 7, sizeof n);
    assert_int_equal(nc_axx_signed(&n, &m, 0), NC_ERR_LIMIT);
    assert_int_equal(n.a_unsigned, 7);
    m.table[99] = INT32_MIN + 1;
    assert_int_equal(nc_axx_signed(&n, &m, 0), NC_OK);
    assert_int_equal(nc_axx_product(&n, 0, 99), INT32_MIN + 1);
}

/* Nothing seen, yet a largest magnitude: bins beyond the last would be read. */
static void calibrators_that_contradict_themselves_are_refused(void **state) {
    static uint8_t bytes[NC_AXX_CALIBRATOR_BYTES];
    static nc_axx_calibrator c;
    const float amax = 5.0f;
    (void)state;
    nc_axx_calibrator_reset(&c);
    nc_axx_calibrator_save(&c, bytes);
    assert_int_equal(nc_axx_calibrator_load(&c, bytes, sizeof bytes), NC_OK);
    c.amax = amax;
    nc_axx_calibrator_save(&c, bytes);
    assert_int_equal(nc_axx_calibrator_load(&c, bytes, sizeof bytes), NC_ERR_FORMAT);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(products_of_32_bits_stay_within),
        cmocka_unit_test(calibrators_that_contradict_themselves_are_refused),
        cmocka_unit_test(published_tables_reproduce_their_metrics),
        cmocka_unit_test(every_family_is_read_by_its_name_and_refuses_what_is_out_of_range),
        cmocka_unit_test(published_multipliers_are_listed_by_falling_power),
        cmocka_unit_test(published_names_give_published_figures),
        cmocka_unit_test(exact_table_is_exact_and_every_family_reaches_it),
        cmocka_unit_test(generated_products_agree_with_hand_computed_ones),
        cmocka_unit_test(specifications_are_checked_with_their_column),
        cmocka_unit_test(compensation_takes_the_bias_away),
        cmocka_unit_test(unsigned_multipliers_serve_signed_weights),
        cmocka_unit_test(errors_are_counted_in_bins),
        cmocka_unit_test(quantisation_rounds_to_even_and_clamps),
        cmocka_unit_test(calibrators_find_what_numpy_finds),
        cmocka_unit_test(calibrators_never_exceed_the_largest_value),
        cmocka_unit_test(rows_are_calibrated_each_by_itself),
        cmocka_unit_test(damaged_calibrators_are_refused),
    };
    return cmocka_run_group_tests_name("axx scalar", tests, NULL, NULL);
}
