/* nc_fp4.h, section blocks: scale rules and the arithmetic of other projects, against what their own
   quantisers gave (tests/golden_fp4_rules.py); given tensor scales. */
#include "test.h"
#include <math.h>
#include "../nc_fp4.h"

enum { N = 1 << 14 };

static uint64_t fnv(const uint8_t *data, size_t bytes) {
    uint64_t h = UINT64_C(0xCBF29CE484222325);
    size_t i;
    for (i = 0; i < bytes; i++) h = (h ^ data[i]) * UINT64_C(0x100000001B3);
    return h;
}

static uint64_t random_at(uint64_t i, uint64_t seed) {
    uint64_t z = (i + 1) * UINT64_C(0x9E3779B97F4A7C15) + seed;
    z = (z ^ (z >> 30)) * UINT64_C(0xBF58476D1CE4E5B9);
    z = (z ^ (z >> 27)) * UINT64_C(0x94D049BB133111EB);
    return z ^ (z >> 31);
}

/* As `values` of golden_fp4_rules.py. */
static void fill(float *x, size_t n, uint64_t first, uint64_t count) {
    size_t i;
    for (i = 0; i < n; i++) {
        const uint64_t z = random_at(i, 1), run = random_at(i / 32, 2), kind = z >> 60;
        int64_t e = (int64_t)(first + run % count) - (int64_t)(z >> 40 & 3);
        uint32_t mantissa = (uint32_t)(z & 0x7FFFFF), grid = mantissa & 0x700000, u;
        if (kind < 6)
            mantissa = grid;
        else if (kind < 9)
            mantissa = grid + 1;
        else if (kind < 11)
            mantissa = (grid ? grid : 1) - 1;
        u = kind == 0 ? 0 : (uint32_t)(e < 0 ? 0 : e) << 23 | mantissa;
        u |= (uint32_t)(z >> 59 & 1) << 31;
        x[i] = from_bits(i / 32 % 13 == 12 ? u & 0x80000000u : u);
    }
}

static int by_value(const void *a, const void *b) {
    const float x = *(const float *)a, y = *(const float *)b;
    return x < y ? -1 : x > y;
}

/* As `limits` of golden_fp4_rules.py. */
static size_t fill_limits(float *x, float (*decode)(uint8_t)) {
    float v[16];
    int c, d;
    for (c = 0; c < 16; c++) v[c] = decode((uint8_t)c);
    qsort(v, 16, sizeof *v, by_value);
    memset(x, 0, 64 * sizeof *x);
    for (d = 0; d < 3; d++)
        for (c = 0; c < 15; c++) {
            const uint32_t middle = to_bits((v[c] + v[c + 1]) / 2);
            x[15 * d + c] = from_bits((middle ? middle : 1) + (uint32_t)(d - 1));
        }
    x[63] = 1;
    for (c = 0; c < 64; c++) x[64 + c] = -x[c];
    return 128;
}

static size_t fill_window(float *x, const char *window, const char *format) {
    static const struct {
        const char *name;
        uint64_t first, count;
    } windows[] = {{"wide", 0, 255}, {"narrow", 104, 24}, {"normal", 120, 12},
                   {"tiny", 0, 8},   {"top", 251, 4},     {"tail", 104, 24}};
    size_t i;
    if (!strcmp(window, "limits"))
        return fill_limits(x, !strcmp(format, "nf4") ? nc_fp4_nf4_decode : nc_fp4_bnb_decode);
    memset(x, 0, N * sizeof *x);
    for (i = 0; i < sizeof windows / sizeof *windows; i++)
        if (!strcmp(window, windows[i].name)) fill(x, N, windows[i].first, windows[i].count);
    return !strcmp(window, "tail") ? 4059 : N;
}

static int named(const char *const *names, int count, const char *name) {
    int i;
    for (i = 0; i < count; i++)
        if (!strcmp(names[i], name)) return i;
    fail_msg("no %s", name);
    return 0;
}

/* ggml's exponent wraps below 2^-125: those runs are zero in its cases. */
static void without_wrapping(float *x, size_t n) {
    size_t r, i;
    for (r = 0; r < n; r += 32) {
        float most = 0;
        for (i = r; i < r + 32; i++) most = fmaxf(most, fabsf(x[i]));
        for (i = r; i < r + 32 && most < ldexpf(1, -125); i++) x[i] *= 0.0f;
    }
}

static void expect_hex(const char *what, const uint8_t *data, size_t bytes, json_object *expected) {
    const char *hex = json_object_get_string(expected);
    char text[200];
    size_t i;
    for (i = 0; i < bytes && i < strlen(hex) / 2; i++) snprintf(text + 2 * i, 3, "%02x", data[i]);
    if (strncmp(text, hex, 2 * i) != 0) fail_msg("%s:\n%s\n%s", what, text, hex);
}

static void codes_and_scales_are_those_of_each_project(void **state) {
    static const char *const projects[] = {"definition", "torchao",      "compressed-tensors",
                                           "modelopt",   "bitsandbytes", "ggml"};
    static const char *const rules[] = {"floor", "ceil", "even", "mse", "ceil_power"};
    static const char *const formats[] = {"e2m1", "mxfp4", "nvfp4", "nf4", "fp4_bnb"};
    static float x[N];
    static uint8_t codes[N / 2], scales[N / 8];
    json_object *root = load_json(TEST_DATA "fp4/rules.json");
    size_t i, count = json_object_array_length(root);
    (void)state;
    assert_true(count > 50);
    for (i = 0; i < count; i++) {
        json_object *c = json_object_array_get_idx(root, i);
        const char *project = json_object_get_string(member(c, "project"));
        const char *form = json_object_get_string(member(c, "format"));
        const char *rule = json_object_get_string(member(c, "rule"));
        const char *window = json_object_get_string(member(c, "window"));
        const nc_fp4_format format = (nc_fp4_format)named(formats, 5, form);
        const size_t n = fill_window(x, window, form);
        nc_fp4_options o = {0};
        float tensor_scale;
        char what[160];
        if (!strcmp(project, "ggml")) without_wrapping(x, n);
        o.convention = (nc_fp4_convention)named(projects, 6, project);
        o.rule = (nc_fp4_scale_rule)named(rules, 5, rule);
        o.tensor_scale = (float)json_object_get_double(member(c, "given"));
        if (o.convention == NC_FP4_AS_COMPRESSED_TENSORS && o.tensor_scale > 0)
            o.tensor_scale = from_bits((uint32_t)json_u64(member(c, "tensor_scale")));
        snprintf(what, sizeof what, "%s %s %s %s", project, form, rule, window);
        assert_int_equal(nc_fp4_quantize_with(format, &o, x, n, codes, scales, &tensor_scale),
                         NC_OK);
        expect_hex(what, scales, nc_fp4_scale_bytes(format, n), member(c, "first_scales"));
        expect_hex(what, codes, nc_fp4_code_bytes(n), member(c, "first_codes"));
        if (fnv(scales, nc_fp4_scale_bytes(format, n)) != json_u64(member(c, "scales")))
            fail_msg("%s: scales", what);
        if (fnv(codes, nc_fp4_code_bytes(n)) != json_u64(member(c, "codes")))
            fail_msg("%s: codes", what);
        if (to_bits(tensor_scale) != json_u64(member(c, "tensor_scale")))
            fail_msg("%s: tensor scale %a", what, (double)tensor_scale);
    }
    json_object_put(root);
}

static uint8_t mxfp4_scale(nc_fp4_scale_rule rule, float absmax) {
    nc_fp4_options o = {0};
    float x[32] = {0}, unused;
    uint8_t codes[16], scale;
    o.rule = rule;
    x[7] = -absmax;
    assert_int_equal(nc_fp4_quantize_with(NC_FP4_MXFP4, &o, x, 32, codes, &scale, &unused), NC_OK);
    return scale;
}

static void mxfp4_rules_reach_253_at_the_top_of_float32(void **state) {
    const float edge = ldexpf(6, 125), top = from_bits(0x7F7FFFFF);
    (void)state;
    assert_int_equal(mxfp4_scale(NC_FP4_SCALE_FLOOR, top), 252);
    assert_int_equal(mxfp4_scale(NC_FP4_SCALE_CEIL, edge), 252);
    assert_int_equal(mxfp4_scale(NC_FP4_SCALE_CEIL, nextafterf(edge, top)), 253);
    assert_int_equal(mxfp4_scale(NC_FP4_SCALE_EVEN, nextafterf(ldexpf(7, 125), 0)), 252);
    assert_int_equal(mxfp4_scale(NC_FP4_SCALE_EVEN, ldexpf(7, 125)), 253);
    assert_int_equal(mxfp4_scale(NC_FP4_SCALE_CEIL_POWER, ldexpf(1, 127)), 252);
    assert_int_equal(mxfp4_scale(NC_FP4_SCALE_CEIL_POWER, nextafterf(ldexpf(1, 127), top)), 253);
    /* under 253 the code 4 is 2^128, which float32 has not: saturation is less of an error */
    assert_int_equal(mxfp4_scale(NC_FP4_SCALE_MSE, top), 252);
    /* both that are called ceil, away from the top */
    assert_int_equal(mxfp4_scale(NC_FP4_SCALE_CEIL, 5.0f), 127);
    assert_int_equal(mxfp4_scale(NC_FP4_SCALE_CEIL_POWER, 5.0f), 128);
}

static void nvfp4_tensor_scales_may_be_subnormal_or_given(void **state) {
    nc_fp4_options o = {0};
    float x[48], y[48], scale;
    uint8_t codes[24], scales[3];
    uint32_t u, i;
    (void)state;
    for (u = 1; u < 200000; u += 1 + u / 7) { /* absmax: subnormals, u units of 2^-149 */
        for (i = 0; i < 48; i++) x[i] = from_bits(u * (i + 1) / 48) * (i % 2 ? 1.0f : -1.0f);
        assert_int_equal(nc_fp4_quantize(NC_FP4_NVFP4, x, 48, codes, scales, &scale), NC_OK);
        assert_int_equal(nc_fp4_dequantize(NC_FP4_NVFP4, codes, scales, scale, 48, y), NC_OK);
        assert_true(scale > 0 && scale < 1e-38f);
        assert_true(2688.0 * (double)scale >= (double)fabsf(x[47])); /* nothing saturates */
        for (i = 0; i < 48; i++) /* half of the widest step, and scales in whole units */
            assert_true(fabs((double)x[i] - (double)y[i]) <=
                        0.27 * (double)fabsf(x[i / 16 * 16 + 15]) + ldexp(6, -149));
    }
    for (i = 0; i < 48; i++) x[i] = (float)i - 20.0f;
    o.tensor_scale = 0.01f;
    assert_int_equal(nc_fp4_quantize_with(NC_FP4_NVFP4, &o, x, 48, codes, scales, &scale), NC_OK);
    assert_true(scale == 0.01f);
    for (i = 0; i < 3; i++) {
        static const float most[3] = {20, 11, 27};
        assert_int_equal(scales[i], nc_fp4_e4m3_encode(most[i] / (6.0f * 0.01f)));
    }
}

static void options_that_do_not_fit_are_errors(void **state) {
    static const struct {
        nc_fp4_format format;
        nc_fp4_scale_rule rule;
        nc_fp4_convention convention;
        int stochastic;
        float scale;
        nc_status expected;
    } cases[] = {
        {NC_FP4_MXFP4, NC_FP4_SCALE_RULE_COUNT, NC_FP4_AS_DEFINED, 0, 0, NC_ERR_ARG},
        {NC_FP4_MXFP4, NC_FP4_SCALE_FLOOR, NC_FP4_CONVENTION_COUNT, 0, 0, NC_ERR_ARG},
        {NC_FP4_NVFP4, NC_FP4_SCALE_FLOOR, NC_FP4_AS_DEFINED, 0, -1.0f, NC_ERR_ARG},
        {NC_FP4_NVFP4, NC_FP4_SCALE_FLOOR, NC_FP4_AS_DEFINED, 0, INFINITY, NC_ERR_ARG},
        {NC_FP4_NVFP4, NC_FP4_SCALE_FLOOR, NC_FP4_AS_DEFINED, 0, NAN, NC_ERR_ARG},
        {NC_FP4_NF4, NC_FP4_SCALE_FLOOR, NC_FP4_AS_DEFINED, 0, 1.0f, NC_ERR_ARG},
        {NC_FP4_MXFP4, NC_FP4_SCALE_FOUR_SIX, NC_FP4_AS_DEFINED, 0, 0, NC_ERR_UNSUPPORTED},
        {NC_FP4_NF4, NC_FP4_SCALE_FLOOR, NC_FP4_AS_TORCHAO, 0, 0, NC_ERR_UNSUPPORTED},
        {NC_FP4_MXFP4, NC_FP4_SCALE_FLOOR, NC_FP4_AS_BITSANDBYTES, 0, 0, NC_ERR_UNSUPPORTED},
        {NC_FP4_MXFP4, NC_FP4_SCALE_CEIL, NC_FP4_AS_GGML, 0, 0, NC_ERR_UNSUPPORTED},
        {NC_FP4_NVFP4, NC_FP4_SCALE_FOUR_SIX, NC_FP4_AS_TORCHAO, 0, 0, NC_ERR_UNSUPPORTED},
        {NC_FP4_NVFP4, NC_FP4_SCALE_FLOOR, NC_FP4_AS_MODELOPT, 1, 0, NC_ERR_UNSUPPORTED},
    };
    float x[64] = {1}, scale;
    uint8_t codes[32], scales[16];
    nc_fp4_tensor t;
    size_t i;
    (void)state;
    for (i = 0; i < sizeof cases / sizeof *cases; i++) {
        nc_fp4_options o = {0};
        o.rule = cases[i].rule;
        o.convention = cases[i].convention;
        o.stochastic = cases[i].stochastic;
        o.tensor_scale = cases[i].scale;
        assert_int_equal(nc_fp4_quantize_with(cases[i].format, &o, x, 64, codes, scales, &scale),
                         cases[i].expected);
        assert_int_equal(nc_fp4_tensor_create(&t, cases[i].format, &o, x, 2, 32),
                         cases[i].expected);
    }
}

static void blocks_that_are_not_finite_are_nan_in_every_convention(void **state) {
    static const nc_fp4_format formats[] = {NC_FP4_MXFP4, NC_FP4_NVFP4, NC_FP4_NF4, NC_FP4_BNB};
    float x[128], y[128], scale;
    uint8_t codes[64], scales[32];
    int c, f, i, tried = 0;
    (void)state;
    for (c = 0; c < NC_FP4_CONVENTION_COUNT; c++)
        for (f = 0; f < 8; f++) {
            nc_fp4_options o = {0};
            nc_status status;
            o.convention = (nc_fp4_convention)c;
            o.rule = f < 4                     ? NC_FP4_SCALE_FLOOR
                     : c == NC_FP4_AS_MODELOPT ? NC_FP4_SCALE_CEIL
                                               : NC_FP4_SCALE_EVEN;
            for (i = 0; i < 128; i++) x[i] = (float)(i % 7) - 3.0f;
            x[3] = f % 2 ? NAN : -INFINITY;
            status = nc_fp4_quantize_with(formats[f % 4], &o, x, 128, codes, scales, &scale);
            if (status == NC_ERR_UNSUPPORTED) continue;
            assert_int_equal(status, NC_OK);
            if (c == NC_FP4_AS_COMPRESSED_TENSORS) scale = 1 / scale;
            assert_true(codes[0] == (f % 4 == 2                              ? 0x77
                                     : c == NC_FP4_AS_MODELOPT && f % 4 == 0 ? 0x88
                                                                             : 0));
            assert_int_equal(nc_fp4_dequantize(formats[f % 4], codes, scales, scale, 128, y),
                             NC_OK);
            for (i = 0; i < 128; i++)
                assert_true(i < (int)nc_fp4_block(formats[f % 4]) ? isnan(y[i])
                                                                  : fabsf(x[i] - y[i]) < 1.0f);
            tried++;
        }
    assert_int_equal(tried, 8 + 3 + 2 + 2 + 2 + 1);
}

static void tensors_of_zeros_stay_zeros_in_every_convention(void **state) {
    static const nc_fp4_format formats[] = {NC_FP4_MXFP4, NC_FP4_NVFP4, NC_FP4_NF4, NC_FP4_BNB};
    float x[96], y[96], scale;
    uint8_t codes[48], scales[32];
    int c, f, r, i, tried = 0;
    (void)state;
    memset(x, 0, sizeof x);
    for (c = 0; c < NC_FP4_CONVENTION_COUNT; c++)
        for (f = 0; f < 4; f++)
            for (r = 0; r < NC_FP4_SCALE_RULE_COUNT; r++) {
                nc_fp4_options o = {0};
                o.convention = (nc_fp4_convention)c;
                o.rule = (nc_fp4_scale_rule)r;
                if (nc_fp4_quantize_with(formats[f], &o, x, 96, codes, scales, &scale) != NC_OK)
                    continue;
                if (c == NC_FP4_AS_COMPRESSED_TENSORS) scale = 1 / scale;
                assert_int_equal(nc_fp4_dequantize(formats[f], codes, scales, scale, 96, y), NC_OK);
                for (i = 0; i < 96; i++) assert_true(y[i] == 0);
                tried++;
            }
    assert_int_equal(tried, 3 * 5 + 6 + 5 + 2 + 2 + 2 + 1);
}

static void four_or_six_takes_the_better_of_both(void **state) {
    static float x[N], y[2][N];
    static uint8_t codes[2][N / 2], scales[2][N / 16];
    nc_fp4_error_stats error[2];
    nc_fp4_options o = {0};
    float scale[2];
    size_t i, fours = 0;
    int k;
    (void)state;
    for (i = 0; i < N; i++) { /* sums of uniform ones: about normal */
        const uint64_t z = random_at(i, 9);
        x[i] = ((float)(z & 0xFFFF) + (float)(z >> 16 & 0xFFFF) + (float)(z >> 32 & 0xFFFF) +
                (float)(z >> 48) - 131070.0f) /
               65536.0f;
    }
    for (k = 0; k < 2; k++) {
        o.rule = k ? NC_FP4_SCALE_FOUR_SIX : NC_FP4_SCALE_FLOOR;
        assert_int_equal(
            nc_fp4_quantize_with(NC_FP4_NVFP4, &o, x, N, codes[k], scales[k], &scale[k]), NC_OK);
        assert_int_equal(nc_fp4_dequantize(NC_FP4_NVFP4, codes[k], scales[k], scale[k], N, y[k]),
                         NC_OK);
        nc_fp4_compare(x, y[k], N, &error[k]);
    }
    for (i = 0; i < N; i += 16) { /* every block against both scales, in full */
        float absmax = 0, by[2];
        double sum[2] = {0, 0};
        uint8_t code[2];
        size_t j;
        for (j = i; j < i + 16; j++) absmax = fmaxf(absmax, fabsf(x[j]));
        for (k = 0; k < 2; k++) {
            code[k] = nc_fp4_e4m3_encode(absmax / ((k ? 4.0f : 6.0f) * scale[1]));
            by[k] = nc_fp4_e4m3_decode(code[k]) * scale[1];
            for (j = i; j < i + 16; j++) {
                const double d =
                    (double)x[j] - (double)(nc_fp4_decode(nc_fp4_encode(x[j] / by[k])) * by[k]);
                sum[k] += d * d;
            }
        }
        k = sum[1] < sum[0];
        fours += (size_t)k;
        assert_int_equal(scales[1][i / 16], code[k]);
        for (j = i; j < i + 16; j++)
            assert_int_equal(codes[1][j / 2] >> (j % 2 * 4) & 15, nc_fp4_encode(x[j] / by[k]));
    }
    assert_true(fours > N / 16 / 5 && fours < N / 16 * 4 / 5);
    assert_true(error[1].mse < 0.93 * error[0].mse);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(codes_and_scales_are_those_of_each_project),
        cmocka_unit_test(mxfp4_rules_reach_253_at_the_top_of_float32),
        cmocka_unit_test(nvfp4_tensor_scales_may_be_subnormal_or_given),
        cmocka_unit_test(options_that_do_not_fit_are_errors),
        cmocka_unit_test(blocks_that_are_not_finite_are_nan_in_every_convention),
        cmocka_unit_test(tensors_of_zeros_stay_zeros_in_every_convention),
        cmocka_unit_test(four_or_six_takes_the_better_of_both),
    };
    return cmocka_run_group_tests_name("fp4 rules", tests, NULL, NULL);
}
