/* nc_fp4.h, sections codes and blocks, with a look inside: each step on its own against answers
   that are written down or follow from its definition. What shows from outside is in fp4_blocks. */
#include "test.h"
#include <math.h>
#define NC_STATIC
#define NC_IMPLEMENTATION
#include "../nc_fp4.h"

static void stochastic_rounding_goes_up_below_its_threshold(void **state) {
    uint8_t low;
    uint32_t part;
    (void)state;
    for (low = 0; low < 7; low++)
        for (part = 0; part < 4; part++) {
            const float below = nc_fp4_decode(low), above = nc_fp4_decode((uint8_t)(low + 1));
            const float x = below + (above - below) * (float)part / 4;
            const uint32_t threshold = part << 30;
            assert_int_equal(nc_fp4_encode_stochastic(x, threshold), low);
            assert_int_equal(nc_fp4_encode_stochastic(-x, threshold), low | 8);
            assert_int_equal(nc_fp4_encode_stochastic(x, UINT32_MAX), low);
            if (!part) continue;
            assert_int_equal(nc_fp4_encode_stochastic(x, threshold - 1), low + 1);
            assert_int_equal(nc_fp4_encode_stochastic(-x, threshold - 1), (low + 1) | 8);
            assert_int_equal(nc_fp4_encode_stochastic(x, 0), low + 1);
        }
    assert_int_equal(nc_fp4_encode_stochastic(0.0f, 0), 0);
    assert_int_equal(nc_fp4_encode_stochastic(-0.0f, 0), 8);
    assert_int_equal(nc_fp4_encode_stochastic(nextafterf(6, 0), UINT32_MAX), 6);
    assert_int_equal(nc_fp4_encode_stochastic(nextafterf(6, 0), 0), 7);
    assert_int_equal(nc_fp4_encode_stochastic(6.0f, UINT32_MAX), 7);
    assert_int_equal(nc_fp4_encode_stochastic(-6.0f, UINT32_MAX), 15);
    assert_int_equal(nc_fp4_encode_stochastic(-INFINITY, UINT32_MAX), 15);
    assert_int_equal(nc_fp4_encode_stochastic(-NAN, 0), 7);
}

static void scales_of_one_byte_have_their_tables(void **state) {
    uint32_t u;
    int c;
    (void)state;
    for (c = 0; c < 16; c++) {
        const float value = nc_fp4_decode((uint8_t)c);
        assert_true((float)nc_fp4__doubled((uint8_t)c) == 2 * value);
        assert_int_equal(nc_fp4__doubled((uint8_t)(c | 0xF0)), nc_fp4__doubled((uint8_t)c));
        assert_int_equal(to_bits(nc_fp4_decode((uint8_t)(c | 0xF0))), to_bits(value));
        assert_true(nc_fp4_nf4_decode((uint8_t)(c | 0xF0)) == nc_fp4__nf4.value[c]);
        assert_true(nc_fp4_bnb_decode((uint8_t)(c | 0xF0)) == nc_fp4__bnb.value[c]);
    }
    for (c = 0; c < 255; c++)
        assert_true((double)nc_fp4_e8m0_decode((uint8_t)c) == ldexp(1, c - 127));
    for (c = 0; c < 256; c++) {
        const int exponent = c >> 3 & 15, mantissa = c & 7;
        const double value = exponent ? ldexp(8 + mantissa, exponent - 10) : ldexp(mantissa, -9);
        if ((c & 127) == 127) continue;
        assert_true((double)nc_fp4_e4m3_decode((uint8_t)c) == (c & 128 ? -value : value));
    }
    for (u = 0; u < 0x44000000; u += 0x4001) { /* through E4M3's subnormals and the border, 2^-6 */
        const float x = from_bits(u);
        const double units = u < 0x3C800000 ? (double)x * 512 : 0;
        if (u < 0x3C800000) assert_int_equal(nc_fp4_e4m3_encode(x), (int)nearbyint(units));
    }
    assert_int_equal(nc_fp4_e4m3_encode(from_bits(0x3C7FFFFF)), 8);
    assert_int_equal(nc_fp4_e4m3_encode(from_bits(0x3C800000)), 8);
    assert_int_equal(nc_fp4_e4m3_encode(from_bits(0x3C880000)), 8); /* ties: 8 and 9, 9 and 10 */
    assert_int_equal(nc_fp4_e4m3_encode(from_bits(0x3C880001)), 9);
    assert_int_equal(nc_fp4_e4m3_encode(from_bits(0x3C980000)), 10);
    assert_int_equal(nc_fp4_e4m3_encode(from_bits(0x3C97FFFF)), 9);
    assert_int_equal(nc_fp4_e4m3_encode(from_bits(0x43D7FFFF)), 0x7D); /* 432 ties to 448 */
    assert_int_equal(nc_fp4_e4m3_encode(from_bits(0x43D80000)), 0x7E);
    assert_int_equal(nc_fp4_e4m3_encode(from_bits(0xC3E80000)), 0xFE);
    assert_int_equal(nc_fp4_e4m3_encode(from_bits(0x80000000)), 0x80);
}

static void the_largest_magnitude_is_found_at_every_place(void **state) {
    float x[70];
    size_t n, at, i;
    int level;
    (void)state;
    for (level = 0; level < 3; level++) {
        if (nc_fp4_set_simd(level) != level) break;
        for (n = 0; n < 70; n++)
            for (at = 0; at < n; at++) {
                for (i = 0; i < n; i++) x[i] = (float)i / 100;
                x[at] = at % 2 ? -3.0f : 3.0f;
                assert_int_equal(nc_fp4__most(x, n), 0x40400000);
                assert_int_equal(nc_fp4__absmax_bits(x, n), 0x40400000);
                assert_true(nc_fp4__finite_absmax(x, n) == 3);
                x[n - 1 - at] = -INFINITY;
                assert_int_equal(nc_fp4__absmax_bits(x, n), 0x7F800000);
                assert_true(nc_fp4__finite_absmax(x, n) == (n - 1 - at != at ? 3.0f
                                                            : n == 1         ? 0
                                                            : at == n - 1    ? (float)(n - 2) / 100
                                                                          : (float)(n - 1) / 100));
                x[n - 1 - at] = NAN;
                assert_true(nc_fp4__absmax_bits(x, n) > 0x7F800000);
            }
        assert_int_equal(nc_fp4__absmax_bits(x, 0), 0);
        x[0] = from_bits(0x7F7FFFFF); /* the largest that is finite */
        assert_true(nc_fp4__finite_absmax(x, 1) == x[0]);
        for (i = 0; i < 16; i++) x[i] = x[0];
        x[7] = INFINITY;
        assert_true(nc_fp4__finite_absmax(x, 16) == x[0]);
    }
    (void)nc_fp4_set_simd(-1);
}

static void nibbles_are_put_and_read_at_their_places(void **state) {
    static const uint8_t element[8] = {1, 2, 3, 4, 5, 6, 7, 8};
    uint8_t codes[5] = {0xEE, 0xEE, 0xEE, 0xEE, 0xEE};
    size_t i;
    (void)state;
    for (i = 0; i < 7; i++) nc_fp4__put(codes, i, element[i]);
    assert_memory_equal(codes, "\x21\x43\x65\x07\xEE", 5);
    for (i = 0; i < 7; i++) assert_int_equal(nc_fp4__code_at(codes, i), element[i]);
    assert_int_equal(nc_fp4__join_nibbles(UINT64_C(0x08F7060504030201)), 0x87654321);
    i = 1;
    assert_int_equal(nc_fp4__is_little(), *(const uint8_t *)&i);
    assert_true(nc_fp4__part_nibbles(0x87654321) == UINT64_C(0x0807060504030201));
}

static void blocks_that_are_not_finite_draw_nothing(void **state) {
    nc_fp4_options o = {NC_FP4_SCALE_FLOOR, 1, 77, NC_FP4_AS_DEFINED, 0};
    float x[64] = {0}, tensor;
    uint8_t codes[32], scales[2];
    int i;
    (void)state;
    x[3] = NAN, x[5] = 3; /* under a NaN scale every value is 0 */
    assert_int_equal(nc_fp4_quantize_with(NC_FP4_MXFP4, &o, x, 64, codes, scales, &tensor), 0);
    for (i = 0; i < 32; i++) assert_int_equal(codes[i], 0);
    assert_true(scales[0] == 255 && scales[1] == 0);
}

/* The bytes behind them stay as they were. */
static void projects_write_no_more_than_codes_and_scales(void **state) {
    static const nc_fp4_format formats[] = {NC_FP4_MXFP4, NC_FP4_NVFP4, NC_FP4_NF4, NC_FP4_BNB};
    float x[128], tensor;
    uint8_t codes[65], scales[33];
    int c, f, tried = 0;
    size_t n, i;
    (void)state;
    for (i = 0; i < 128; i++) x[i] = (float)(i % 7) - 3.0f;
    for (c = 0; c < NC_FP4_CONVENTION_COUNT; c++)
        for (f = 0; f < 4; f++)
            for (n = 1; n <= 128; n++) {
                nc_fp4_options o = {NC_FP4_SCALE_FLOOR, 0, 0, NC_FP4_AS_DEFINED, 0};
                o.convention = (nc_fp4_convention)c;
                memset(codes, 0xEE, sizeof codes);
                memset(scales, 0xEE, sizeof scales);
                if (nc_fp4_quantize_with(formats[f], &o, x, n, codes, scales, &tensor) != NC_OK)
                    break;
                for (i = nc_fp4_code_bytes(n); i < sizeof codes; i++)
                    assert_int_equal(codes[i], 0xEE);
                for (i = nc_fp4_scale_bytes(formats[f], n); i < sizeof scales; i++)
                    assert_int_equal(scales[i], 0xEE);
                tried++;
            }
    assert_int_equal(tried, 128 * 11); /* the definition's four, and seven of the projects */
}

static void errors_count_by_their_magnitude(void **state) {
    static const float x[2] = {1, 2}, y[2] = {1.5f, 2.25f};
    nc_fp4_error_stats s;
    (void)state;
    nc_fp4_compare(x, y, 2, &s);
    assert_true(s.max_abs == 0.5 && s.mse == 0.15625);
    nc_fp4_compare(y, x, 2, &s);
    assert_true(s.max_abs == 0.5 && s.mse == 0.15625);
}

static void missing_arrays_are_errors_one_by_one(void **state) {
    float x[64] = {1}, t;
    uint8_t codes[32], scales[16];
    (void)state;
    assert_int_equal(nc_fp4_quantize(NC_FP4_MXFP4, x, 64, codes, scales, NULL), NC_ERR_ARG);
    assert_int_equal(nc_fp4_quantize(NC_FP4_MXFP4, NULL, 64, codes, scales, &t), NC_ERR_ARG);
    assert_int_equal(nc_fp4_quantize(NC_FP4_MXFP4, x, 64, NULL, scales, &t), NC_ERR_ARG);
    assert_int_equal(nc_fp4_quantize(NC_FP4_MXFP4, x, 64, codes, NULL, &t), NC_ERR_ARG);
    assert_int_equal(nc_fp4_quantize(NC_FP4_MXFP4, NULL, 0, NULL, NULL, &t), NC_OK);
    assert_int_equal(nc_fp4_quantize(NC_FP4_E2M1, x, 64, codes, NULL, &t), NC_OK);
    assert_true(t == 1);
    assert_int_equal(nc_fp4_quantize((nc_fp4_format)5, x, 64, codes, scales, &t), NC_ERR_ARG);
    assert_int_equal(nc_fp4_dequantize(NC_FP4_MXFP4, codes, scales, 1, 64, NULL), NC_ERR_ARG);
    assert_int_equal(nc_fp4_dequantize(NC_FP4_MXFP4, NULL, scales, 1, 64, x), NC_ERR_ARG);
    assert_int_equal(nc_fp4_dequantize(NC_FP4_MXFP4, codes, NULL, 1, 64, x), NC_ERR_ARG);
    assert_int_equal(nc_fp4_dequantize(NC_FP4_E2M1, codes, NULL, 1, 64, x), NC_OK);
    assert_int_equal(nc_fp4_dequantize(NC_FP4_MXFP4, NULL, NULL, 1, 0, NULL), NC_OK);
    assert_int_equal(nc_fp4_dequantize((nc_fp4_format)5, codes, scales, 1, 64, x), NC_ERR_ARG);
    assert_int_equal(nc_fp4_dequantize((nc_fp4_format)-1, codes, scales, 1, 64, x), NC_ERR_ARG);
}

static void tensor_scales_are_their_formulas(void **state) {
    const nc_fp4__row *row = nc_fp4__row_of(NC_FP4_NVFP4);
    nc_fp4_options o = {NC_FP4_SCALE_FLOOR, 0, 0, NC_FP4_AS_DEFINED, 0};
    const float least = from_bits(0x00800000);
    (void)state;
    assert_true(nc_fp4__scale_of_absmax(row, &o, 2688) == 1);
    assert_true(nc_fp4__scale_of_absmax(row, &o, 0) == 1);
    assert_true(nc_fp4__scale_of_absmax(row, &o, 5) == 5.0f / 2688);
    assert_int_equal(to_bits(nc_fp4__scale_of_absmax(row, &o, from_bits(1))), 1);
    assert_int_equal(to_bits(nc_fp4__scale_of_absmax(row, &o, from_bits(2688))), 1);
    assert_int_equal(to_bits(nc_fp4__scale_of_absmax(row, &o, from_bits(2689))), 2); /* 1 is less */
    assert_int_equal(to_bits(nc_fp4__scale_of_absmax(row, &o, from_bits(5376))), 2);
    o.rule = NC_FP4_SCALE_FOUR_SIX;
    assert_true(nc_fp4__scale_of_absmax(row, &o, 1536) == 1);
    o.rule = NC_FP4_SCALE_FLOOR;
    o.convention = NC_FP4_AS_TORCHAO;
    assert_true(nc_fp4__scale_of_absmax(row, &o, 0) == 0);
    assert_true(nc_fp4__scale_of_absmax(row, &o, from_bits(1)) == 0);
    o.convention = NC_FP4_AS_COMPRESSED_TENSORS;
    assert_true(nc_fp4__scale_of_absmax(row, &o, 2) == 1344);
    assert_true(nc_fp4__scale_of_absmax(row, &o, 0) == 1); /* the inverse is infinite */
    assert_true(nc_fp4__scale_of_absmax(row, &o, least) == 1);
    assert_true(nc_fp4__scale_of_absmax(row, &o, ldexpf(1, -116)) == ldexpf(2688, 116));
    o.tensor_scale = 7;
    assert_true(nc_fp4__scale_of_absmax(row, &o, 2) == 7);
    assert_true(nc_fp4__scale_divides(row, &o));
    assert_false(nc_fp4__scale_divides(nc_fp4__row_of(NC_FP4_MXFP4), &o));
    o.convention = NC_FP4_AS_TORCHAO;
    assert_false(nc_fp4__scale_divides(row, &o));
}

/* NC_FP4_SCALE_MSE: the first of the least errors, over candidates that are written out here. */
static void the_search_for_scales_takes_the_least_error(void **state) {
    static const nc_fp4_format formats[] = {NC_FP4_MXFP4, NC_FP4_NVFP4, NC_FP4_NF4, NC_FP4_BNB};
    uint64_t seed = 12;
    float x[64];
    int f, round, k;
    size_t i;
    (void)state;
    for (round = 0; round < 200; round++)
        for (f = 0; f < 4; f++) {
            const nc_fp4__row *row = nc_fp4__row_of(formats[f]);
            uint8_t best[4] = {0}, got[4] = {0};
            float absmax = 0, scale, by = 0;
            double least = INFINITY;
            for (i = 0; i < row->block; i++) {
                x[i] = ldexpf((float)(int32_t)(test_random(&seed) >> 32), -30);
                if (round % 3 == 0) x[i] = (float)(int)(test_random(&seed) % 13) - 6;
                absmax = fmaxf(absmax, fabsf(x[i]));
            }
            for (k = 0; k <= (f ? 8 : 2); k++) {
                static const float power[3] = {1, 2, 0.5f};
                uint8_t code[4] = {0};
                double error = 0;
                scale = nc_fp4__block_scale(row, NC_FP4_SCALE_FLOOR,
                                            absmax * (f ? (float)(32 - k) / 32 : power[k]), 0.01f,
                                            code);
                for (i = 0; i < row->block; i++) {
                    const uint8_t c = nc_fp4__nearest(row->element, x[i] / scale);
                    const double d = (double)x[i] - (double)(row->element->value[c] * scale);
                    error += d * d;
                }
                assert_true(error == nc_fp4__block_error(row->element, x, row->block, scale));
                if (error >= least) continue;
                least = error;
                by = scale;
                memcpy(best, code, 4);
            }
            assert_true(by == nc_fp4__search_scale(row, x, row->block, absmax, 0.01f, got));
            assert_memory_equal(best, got, 4);
        }
    memset(x, 0, sizeof x); /* no error: the scale of absmax, 0 */
    for (f = 1; f < 4; f++) {
        uint8_t got[4] = {9, 9, 9, 9};
        const nc_fp4__row *row = nc_fp4__row_of(formats[f]);
        assert_true(nc_fp4__search_scale(row, x, row->block, 0, 1, got) == 0);
        assert_int_equal(got[0], 0);
    }
}

/* A block whose scale by 6 is 0 stays zeros, though the one by 4 would not be. */
static void four_or_six_keeps_a_scale_of_zero(void **state) {
    const nc_fp4__row *row = nc_fp4__row_of(NC_FP4_NVFP4);
    float x[16] = {0};
    uint8_t code = 9;
    (void)state;
    x[3] = ldexpf(6, -10);
    assert_true(nc_fp4__four_or_six(row, x, 16, x[3], 1, &code) == 0);
    assert_int_equal(code, 0);
    x[3] = nextafterf(x[3], 1);
    assert_true(nc_fp4__four_or_six(row, x, 16, x[3], 1, &code) > 0);
    assert_int_equal(code, 1);
    assert_true(nc_fp4__four_or_six(row, x, 16, NAN, 1, &code) != 0);
    assert_int_equal(code & 127, 127);
}

static void logarithms_are_rounded_as_float32(void **state) {
    int k;
    (void)state;
    for (k = -149; k < 128; k++) {
        const float x = ldexpf(1, k);
        assert_int_equal(nc_fp4__rounded_log2(x, 0), k);
        assert_int_equal(nc_fp4__rounded_log2(x, 1), k);
        if (k < -147) continue;
        assert_int_equal(nc_fp4__rounded_log2(1.25f * x, 0), k);
        assert_int_equal(nc_fp4__rounded_log2(1.25f * x, 1), k + 1);
        assert_int_equal(nc_fp4__rounded_log2(1.75f * x, 0), k);
        assert_int_equal(nc_fp4__rounded_log2(1.75f * x, 1), k + 1);
        if (k < -125) continue; /* next to a power of two: by log2 in float64, rounded once */
        assert_int_equal(nc_fp4__rounded_log2(nextafterf(x, 0), 0),
                         (int)floorf((float)log2((double)nextafterf(x, 0))));
        assert_int_equal(nc_fp4__rounded_log2(nextafterf(x, INFINITY), 1),
                         (int)ceilf((float)log2((double)nextafterf(x, INFINITY))));
    }
}

#ifdef NC_FP4__LANES8
static void inverses_of_scales_are_exact_or_none(void **state) {
    int k;
    (void)state;
    for (k = -126; k <= 125; k++) assert_true(nc_fp4__inverse(ldexpf(1, k)) == ldexpf(1, -k));
    assert_true(nc_fp4__inverse(ldexpf(1, 126)) == 0);
    assert_true(nc_fp4__inverse(3.0f) == 0 && nc_fp4__inverse(nextafterf(1, 2)) == 0);
    assert_true(nc_fp4__inverse(INFINITY) == 0);
}

/* The ways over many elements at once are taken, not only right when they are. */
static void whole_groups_of_blocks_go_at_once(void **state) {
    float x[8 * 64], y[8 * 64];
    uint8_t codes[4 * 64], scales[32];
    int f;
    size_t blocks, i;
    (void)state;
    if (nc_fp4_set_simd(1) == 1)
        for (f = NC_FP4_MXFP4; f < NC_FP4_FORMAT_COUNT; f++)
            for (blocks = 1; blocks <= 8; blocks++) {
                const nc_fp4__row *row = nc_fp4__row_of((nc_fp4_format)f);
                const size_t last = blocks * row->block - 1;
                for (i = 0; i <= last; i++) x[i] = i % 2 ? 1.0f : -0.5f;
                assert_int_equal(nc_fp4__quantize8(row, x, blocks, 0.01f, codes, scales), 1);
                for (i = last + 1 - row->block; i <= last; i++) x[i] = 0;
                x[last] = from_bits(0x7F7FFFFF);
                assert_int_equal(nc_fp4__quantize8(row, x, blocks, 0.01f, codes, scales), 1);
                x[last] = INFINITY;
                assert_int_equal(nc_fp4__quantize8(row, x, blocks, 0.01f, codes, scales), 0);
                x[last] = NAN;
                assert_int_equal(nc_fp4__quantize8(row, x, blocks, 0.01f, codes, scales), 0);
                x[last] = 0;
                assert_int_equal(nc_fp4__quantize8(row, x, blocks, 0.01f, codes, scales), 0);
                x[last] = from_bits(0x01FFFFFF);
                assert_int_equal(nc_fp4__quantize8(row, x, blocks, 0.01f, codes, scales), 0);
                x[last] = from_bits(0x02000000);
                assert_int_equal(
                    nc_fp4__quantize8(row, x, blocks, from_bits(0x00800000), codes, scales), 1);
                assert_int_equal(nc_fp4__values8(row, codes, scales, 1, last + 1, y),
                                 (last + 1) / 32 * 32);
            }
    if (nc_fp4_set_simd(1) == 1) { /* under scales that are subnormal in E4M3: one by one */
        const nc_fp4__row *row = nc_fp4__row_of(NC_FP4_NVFP4);
        for (i = 0; i < 128; i++) x[i] = 1;
        x[127] = 0.09375f; /* 6 / 64 */
        for (i = 112; i < 127; i++) x[i] = 0;
        assert_int_equal(nc_fp4__quantize8(row, x, 8, 1, codes, scales), 1);
        assert_int_equal(scales[7], 8);
        x[127] = nextafterf(0.09375f, 0);
        assert_int_equal(nc_fp4__quantize8(row, x, 8, 1, codes, scales), 0);
    }
    (void)nc_fp4_set_simd(-1);
}

static void codes_under_one_scale_are_values_times_it(void **state) {
    float x[97];
    uint8_t codes[48];
    uint64_t seed = 5;
    int f;
    size_t n, i;
    (void)state;
    for (i = 0; i < 48; i++) codes[i] = (uint8_t)test_random(&seed);
    if (nc_fp4_set_simd(1) == 1)
        for (f = 0; f < NC_FP4_FORMAT_COUNT; f++)
            for (n = 0; n <= 96; n += 32) {
                const nc_fp4__element *e = nc_fp4__row_of((nc_fp4_format)f)->element;
                nc_fp4__planes planes;
                nc_fp4__planes_of(e, &planes);
                for (i = 0; i < 97; i++) x[i] = 99;
                nc_fp4__scaled8(&planes, codes, n, 0.7f, x);
                for (i = 0; i < n; i++)
                    assert_true(x[i] == e->value[nc_fp4__code_at(codes, i)] * 0.7f);
                for (; i < 97; i++) assert_true(x[i] == 99);
            }
    (void)nc_fp4_set_simd(-1);
}

static void tables_of_the_vector_code_are_those_of_the_elements(void **state) {
    int f;
    uint32_t i, k, s;
    (void)state;
    for (f = 0; f < NC_FP4_FORMAT_COUNT; f++) {
        const nc_fp4__row *row = nc_fp4__row_of((nc_fp4_format)f);
        const nc_fp4__element *e = row->element;
        nc_fp4__planes p;
        nc_fp4__halving h;
        nc_fp4__planes_of(e, &p);
        assert_int_equal(p.halves, e == &nc_fp4__e2m1);
        for (i = 0; i < 16; i++) {
            uint32_t u = 0;
            for (k = 0; k < 4; k++) u |= (uint32_t)p.byte[k][i] << (8 * k);
            assert_int_equal(u, to_bits(e->value[i]));
        }
        nc_fp4__halving_of(e, &h);
        for (i = 0; i + 1u < e->magnitudes; i++) { /* limit i and just above it */
            for (k = 0; k < 2; k++) {
                const float x = k ? nextafterf(e->limit[i], INFINITY) : e->limit[i];
                uint32_t found = 0;
                for (s = 0; s < (e->magnitudes == 8 ? 3u : 4u); s++)
                    found = 2 * found + (x > h.at[s][found]);
                assert_int_equal(found, i + k);
            }
        }
        assert_int_equal(1 << nc_fp4__shift(row), row->block ? row->block : 4096);
    }
}
#endif

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(stochastic_rounding_goes_up_below_its_threshold),
        cmocka_unit_test(scales_of_one_byte_have_their_tables),
        cmocka_unit_test(the_largest_magnitude_is_found_at_every_place),
        cmocka_unit_test(nibbles_are_put_and_read_at_their_places),
        cmocka_unit_test(blocks_that_are_not_finite_draw_nothing),
        cmocka_unit_test(projects_write_no_more_than_codes_and_scales),
        cmocka_unit_test(errors_count_by_their_magnitude),
        cmocka_unit_test(missing_arrays_are_errors_one_by_one),
        cmocka_unit_test(tensor_scales_are_their_formulas),
        cmocka_unit_test(the_search_for_scales_takes_the_least_error),
        cmocka_unit_test(four_or_six_keeps_a_scale_of_zero),
        cmocka_unit_test(logarithms_are_rounded_as_float32),
#ifdef NC_FP4__LANES8
        cmocka_unit_test(inverses_of_scales_are_exact_or_none),
        cmocka_unit_test(whole_groups_of_blocks_go_at_once),
        cmocka_unit_test(codes_under_one_scale_are_values_times_it),
        cmocka_unit_test(tables_of_the_vector_code_are_those_of_the_elements),
#endif
    };
    return cmocka_run_group_tests_name("fp4 codes", tests, NULL, NULL);
}
