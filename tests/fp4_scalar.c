/* nc_fp4.h, section scalar: codes, block formats, errors. */
#include "test.h"
#include <math.h>
#include "../nc_fp4.h"

/* Nearest value of a table by distance in float64; at a tie the even code. */
static uint8_t nearest_even(double x, float (*decode)(uint8_t), int codes) {
    int c, best = 0;
    for (c = 1; c < codes; c++) {
        double d = fabs(x - (double)decode((uint8_t)c)),
               e = fabs(x - (double)decode((uint8_t)best));
        if (d < e || (d == e && c % 2 == 0)) best = c;
    }
    return (uint8_t)best;
}

static void every_e2m1_code_decodes_and_encodes_back(void **state) {
    static const float values[8] = {0, 0.5f, 1, 1.5f, 2, 3, 4, 6};
    int c;
    (void)state;
    for (c = 0; c < 16; c++) {
        float v = nc_fp4_decode((uint8_t)c);
        assert_true(fabsf(v) == values[c & 7] && !signbit(v) == !(c & 8));
        assert_int_equal(nc_fp4_encode(v), c);
    }
}

static void e2m1_rounds_to_nearest_even_around_every_boundary_and_float16(void **state) {
    uint32_t h;
    (void)state;
    for (h = 0; h < 0x7C00; h++) { /* every finite non-negative float16 */
        uint32_t exponent = h >> 10, mantissa = h & 1023;
        float x = exponent ? ldexpf((float)(1024 + mantissa), (int)exponent - 25)
                           : ldexpf((float)mantissa, -24);
        float neighbours[3];
        int i;
        neighbours[0] = x;
        neighbours[1] = nextafterf(x, INFINITY);
        neighbours[2] = nextafterf(x, -INFINITY);
        for (i = 0; i < 3; i++) {
            float y = neighbours[i];
            uint8_t expected = nearest_even(fabs((double)y), nc_fp4_decode, 8);
            assert_int_equal(nc_fp4_encode(y), expected | (signbit(y) ? 8 : 0));
            assert_int_equal(nc_fp4_encode(-y), expected | (signbit(y) ? 0 : 8));
        }
    }
    assert_int_equal(nc_fp4_encode(INFINITY), 7);
    assert_int_equal(nc_fp4_encode(-INFINITY), 15);
    assert_int_equal(nc_fp4_encode(NAN), 7);
    assert_int_equal(nc_fp4_encode(-0.0f), 8);
}

static void every_e4m3_code_round_trips_and_neighbours_round_to_even(void **state) {
    int c;
    uint32_t u;
    (void)state;
    for (c = 0; c < 256; c++) {
        float v = nc_fp4_e4m3_decode((uint8_t)c);
        if ((c & 0x7F) == 0x7F) {
            assert_true(isnan(v));
            continue;
        }
        assert_int_equal(nc_fp4_e4m3_encode(v), c);
    }
    assert_true(nc_fp4_e4m3_decode(0x7E) == 448.0f && nc_fp4_e4m3_decode(1) == 0.001953125f);
    for (u = 0x38000000; u < 0x44000000; u += 1021) { /* 2^-15 .. 512, also odd tails */
        float x = from_bits(u);
        uint8_t expected = nearest_even((double)x, nc_fp4_e4m3_decode, 127);
        assert_int_equal(nc_fp4_e4m3_encode(x), expected);
        assert_int_equal(nc_fp4_e4m3_encode(-x), expected | 0x80);
    }
    for (c = 0; c < 126; c++) { /* exact midpoints */
        float x = (nc_fp4_e4m3_decode((uint8_t)c) + nc_fp4_e4m3_decode((uint8_t)(c + 1))) / 2;
        assert_int_equal(nc_fp4_e4m3_encode(x), c + (c & 1));
    }
    assert_int_equal(nc_fp4_e4m3_encode(1e9f), 0x7E);
    assert_int_equal(nc_fp4_e4m3_encode(INFINITY), 0x7E);
    assert_int_equal(nc_fp4_e4m3_encode(NAN), 0x7F);
}

static void nf4_and_bnb_codes_are_nearest(void **state) {
    int c, i;
    (void)state;
    for (c = 0; c < 16; c++) {
        assert_int_equal(nc_fp4_nf4_encode(nc_fp4_nf4_decode((uint8_t)c)), c);
        if (c != 8) assert_int_equal(nc_fp4_bnb_encode(nc_fp4_bnb_decode((uint8_t)c)), c);
    }
    for (i = -1000; i <= 1000; i++) {
        float x = (float)i / 1000, a = nc_fp4_nf4_decode(nc_fp4_nf4_encode(x));
        float b = nc_fp4_bnb_decode(nc_fp4_bnb_encode(x));
        for (c = 0; c < 16; c++) {
            assert_true(fabsf(x - a) <= fabsf(x - nc_fp4_nf4_decode((uint8_t)c)));
            assert_true(fabsf(x - b) <= fabsf(x - nc_fp4_bnb_decode((uint8_t)c)) + 1e-7f);
        }
    }
    assert_int_equal(nc_fp4_nf4_encode(NAN), 7);
    assert_int_equal(nc_fp4_bnb_encode(NAN), 0);
}

static void every_length_round_trips_within_half_a_step(void **state) {
    float x[201], y[201], tensor;
    uint8_t codes[102], scales[64];
    uint64_t seed = 1;
    size_t n, i;
    int f;
    (void)state;
    for (f = NC_FP4_E2M1; f < NC_FP4_FORMAT_COUNT; f++) {
        for (n = 0; n <= 200; n++) {
            size_t block = nc_fp4_block((nc_fp4_format)f) ? nc_fp4_block((nc_fp4_format)f) : 1000;
            memset(codes, 0xEE, sizeof codes);
            memset(scales, 0xEE, sizeof scales);
            for (i = 0; i < n; i++) x[i] = (float)((double)(int64_t)test_random(&seed) / 4e18);
            assert_int_equal(nc_fp4_quantize((nc_fp4_format)f, x, n, codes, scales, &tensor),
                             NC_OK);
            assert_int_equal(codes[nc_fp4_code_bytes(n)], 0xEE);
            assert_int_equal(scales[nc_fp4_scale_bytes((nc_fp4_format)f, n)], 0xEE);
            if (n % 2) assert_int_equal(codes[n / 2] >> 4, 0);
            assert_int_equal(nc_fp4_dequantize((nc_fp4_format)f, codes, scales, tensor, n, y),
                             NC_OK);
            for (i = 0; i < n; i++) {
                float max = 0;
                size_t j, first = i / block * block;
                for (j = first; j < n && j < first + block; j++) max = fmaxf(max, fabsf(x[j]));
                if (f == NC_FP4_E2M1) max = 6;
                /* half the widest step: 1 of 6, 1.15 of 4 for a floor exponent, 1/6 of 1 */
                assert_true(fabsf(x[i] - y[i]) <= 0.26f * max);
            }
        }
    }
}

static void zero_huge_tiny_and_nan_blocks_have_their_documented_results(void **state) {
    float x[64], y[64], tensor;
    uint8_t codes[32], scales[16];
    int f, i, k;
    (void)state;
    for (f = NC_FP4_MXFP4; f < NC_FP4_FORMAT_COUNT; f++)
        for (k = 0; k < 5; k++) {
            static const float fill[5] = {0.0f, 3e38f, 1e-44f, NAN, INFINITY};
            for (i = 0; i < 64; i++) x[i] = 0;
            x[5] = fill[k];
            x[60] = 1.0f;
            assert_int_equal(nc_fp4_quantize((nc_fp4_format)f, x, 64, codes, scales, &tensor),
                             NC_OK);
            assert_int_equal(nc_fp4_dequantize((nc_fp4_format)f, codes, scales, tensor, 64, y),
                             NC_OK);
            if (k < 3) {
                for (i = 0; i < 64; i++) assert_false(isnan(y[i]) || isinf(y[i]));
                assert_true(y[3] == 0.0f);
            } else {
                assert_true(isnan(y[5]));
                if (nc_fp4_block((nc_fp4_format)f) < 64) assert_true(y[60] > 0.9f);
            }
        }
    assert_int_equal(nc_fp4_quantize((nc_fp4_format)9, x, 1, codes, scales, &tensor), NC_ERR_ARG);
    assert_int_equal(nc_fp4_quantize(NC_FP4_MXFP4, x, 1, codes, NULL, &tensor), NC_ERR_ARG);
    assert_int_equal(nc_fp4_dequantize(NC_FP4_MXFP4, NULL, scales, 1, 1, y), NC_ERR_ARG);
}

static void mxfp4_scale_is_the_power_of_two_of_the_specification(void **state) {
    float x[32] = {0}, tensor;
    uint8_t codes[16], scale;
    int e;
    (void)state;
    for (e = -120; e < 127; e++) {
        x[3] = ldexpf(1.9f, e);
        assert_int_equal(nc_fp4_quantize(NC_FP4_MXFP4, x, 32, codes, &scale, &tensor), NC_OK);
        assert_int_equal(scale, e - 2 + 127);
    }
    assert_true(nc_fp4_e8m0_decode(127) == 1.0f && nc_fp4_e8m0_decode(0) == ldexpf(1, -127));
    assert_true(isnan(nc_fp4_e8m0_decode(255)));
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_e2m1_code_decodes_and_encodes_back),
        cmocka_unit_test(e2m1_rounds_to_nearest_even_around_every_boundary_and_float16),
        cmocka_unit_test(every_e4m3_code_round_trips_and_neighbours_round_to_even),
        cmocka_unit_test(nf4_and_bnb_codes_are_nearest),
        cmocka_unit_test(every_length_round_trips_within_half_a_step),
        cmocka_unit_test(zero_huge_tiny_and_nan_blocks_have_their_documented_results),
        cmocka_unit_test(mxfp4_scale_is_the_power_of_two_of_the_specification),
    };
    return cmocka_run_group_tests_name("fp4 scalar", tests, NULL, NULL);
}
