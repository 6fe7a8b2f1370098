/* nc_fp4.h, sections codes and blocks: orders of codes, random rounding, block scales and errors, each
   against its definition written out here. */
#include "test.h"
#include <math.h>
#include "../nc_fp4.h"

/* Code i where an order puts it: the comment at nc_fp4_order. */
static uint8_t code_at(const uint8_t *codes, nc_fp4_order order, size_t group, size_t n, size_t i) {
    const size_t first = order == NC_FP4_SPLIT ? i / group * group : 0;
    const size_t half = (n - first < group ? n - first : group) / 2;
    if (order == NC_FP4_LOW_FIRST) return i % 2 ? codes[i / 2] >> 4 : codes[i / 2] & 15;
    if (order == NC_FP4_HIGH_FIRST) return i % 2 ? codes[i / 2] & 15 : codes[i / 2] >> 4;
    return i - first < half ? codes[first / 2 + i - first] & 15
                            : codes[first / 2 + i - first - half] >> 4;
}

static void every_order_becomes_every_other(void **state) {
    static const size_t groups[] = {2, 4, 16, 18, 32, 48, 96, 4094, 4096};
    uint64_t seed = 3;
    size_t g, i, count;
    int from, to, extra;
    (void)state;
    for (g = 0; g < sizeof groups / sizeof *groups; g++)
        for (extra = 0; extra < 3; extra++) {
            const size_t group = groups[g], n = 2 * group + (size_t)extra * (group > 8 ? 6 : 0);
            uint8_t *codes = malloc(n / 2), *out = malloc(n / 2); /* not a byte more */
            for (i = 0; i < n / 2; i++) codes[i] = (uint8_t)test_random(&seed);
            for (from = 0; from < 3; from++)
                for (to = 0; to < 3; to++) {
                    nc_fp4_order a = (nc_fp4_order)from, b = (nc_fp4_order)to;
                    assert_int_equal(nc_fp4_reorder(out, codes, n, a, b, group), NC_OK);
                    for (i = count = 0; i < n; i++)
                        count += code_at(codes, a, group, n, i) == code_at(out, b, group, n, i);
                    assert_int_equal(count, n);
                    memcpy(out, codes, n / 2); /* in place */
                    assert_int_equal(nc_fp4_reorder(out, out, n, a, b, group), NC_OK);
                    for (i = count = 0; i < n; i++)
                        count += code_at(codes, a, group, n, i) == code_at(out, b, group, n, i);
                    assert_int_equal(count, n);
                }
            free(codes);
            free(out);
        }
    {
        uint8_t one[2] = {0x21, 0x43}, other[2];
        assert_int_equal(nc_fp4_reorder(other, one, 3, NC_FP4_LOW_FIRST, NC_FP4_HIGH_FIRST, 0),
                         NC_OK);
        assert_int_equal(other[0], 0x12);
        assert_int_equal(other[1] >> 4, 3);
        assert_int_equal(nc_fp4_reorder(other, one, 3, NC_FP4_LOW_FIRST, NC_FP4_SPLIT, 4),
                         NC_ERR_ARG);
        assert_int_equal(nc_fp4_reorder(other, one, 4, NC_FP4_LOW_FIRST, NC_FP4_SPLIT, 0),
                         NC_ERR_ARG);
        assert_int_equal(nc_fp4_reorder(other, one, 4, NC_FP4_LOW_FIRST, NC_FP4_SPLIT, 3),
                         NC_ERR_ARG);
        assert_int_equal(nc_fp4_reorder(other, one, 4, NC_FP4_SPLIT, NC_FP4_LOW_FIRST, 4098),
                         NC_ERR_ARG);
        assert_int_equal(nc_fp4_reorder(other, one, 4, (nc_fp4_order)3, NC_FP4_LOW_FIRST, 4),
                         NC_ERR_ARG);
        assert_int_equal(nc_fp4_reorder(other, one, 4, NC_FP4_LOW_FIRST, (nc_fp4_order)3, 4),
                         NC_ERR_ARG);
        assert_int_equal(nc_fp4_reorder(NULL, one, 4, NC_FP4_LOW_FIRST, NC_FP4_SPLIT, 4),
                         NC_ERR_ARG);
        assert_int_equal(nc_fp4_reorder(other, NULL, 4, NC_FP4_LOW_FIRST, NC_FP4_SPLIT, 4),
                         NC_ERR_ARG);
    }
}

static void errors_are_those_of_their_definition(void **state) {
    const float x[2] = {3, -4}, y[2] = {1, -1}, same[1] = {-1}, zero[1] = {0};
    nc_fp4_error_stats s;
    (void)state;
    nc_fp4_compare(x, y, 2, &s); /* differences 2 and -3 */
    assert_true(s.mse == 6.5 && s.max_abs == 3);
    assert_true(fabs(s.snr_db - 10 * log10(25.0 / 13.0)) < 1e-12);
    nc_fp4_compare(x + 1, same, 1, &s); /* the first difference is below 0 */
    assert_true(s.mse == 9 && s.max_abs == 3);
    nc_fp4_compare(same, same, 1, &s);
    assert_true(s.mse == 0 && s.max_abs == 0 && s.snr_db == 999);
    nc_fp4_compare(zero, same, 1, &s);
    assert_true(s.mse == 1 && s.snr_db == -999);
    nc_fp4_compare(NULL, NULL, 0, &s);
    assert_true(s.mse == 0 && s.max_abs == 0 && s.snr_db == 999);
    { /* NaN, wherever it is, is no error of 0 */
        float nan[3] = {5, NAN, 1};
        const float none[3] = {0, 0, 0};
        nc_fp4_compare(nan, none, 3, &s);
        assert_true(isnan(s.mse) && isnan(s.max_abs) && isnan(s.snr_db));
        nc_fp4_compare(none, nan, 3, &s);
        assert_true(isnan(s.mse) && isnan(s.max_abs) && isnan(s.snr_db));
        nan[1] = INFINITY;
        nc_fp4_compare(nan, nan, 3, &s); /* infinity less infinity */
        assert_true(isnan(s.mse) && isnan(s.max_abs) && isnan(s.snr_db));
        nc_fp4_compare(same, nan + 1, 1, &s);
        assert_true(isinf(s.mse) && isinf(s.max_abs) && s.snr_db < -999);
    }
}

/* Philox4x32-10 as the paper has it (Salmon et al. 2011), its first word. */
static uint32_t philox(uint64_t key, uint64_t counter) {
    uint32_t c[4] = {(uint32_t)counter, (uint32_t)(counter >> 32), 0, 0};
    uint32_t k[2] = {(uint32_t)key, (uint32_t)(key >> 32)};
    int round;
    for (round = 0; round < 10; round++) {
        const uint64_t a = UINT64_C(0xD2511F53) * c[0], b = UINT64_C(0xCD9E8D57) * c[2];
        const uint32_t next[4] = {(uint32_t)(b >> 32) ^ c[1] ^ k[0], (uint32_t)b,
                                  (uint32_t)(a >> 32) ^ c[3] ^ k[1], (uint32_t)a};
        memcpy(c, next, sizeof c);
        k[0] += 0x9E3779B9;
        k[1] += 0xBB67AE85;
    }
    return c[0];
}

static void random_rounding_is_that_of_seed_and_element(void **state) {
    enum { N = 200 };
    static const float values[] = {0, 0.5f, 1, 1.5f, 2, 3, 4, 6};
    nc_fp4_options o = {NC_FP4_SCALE_FLOOR, 1, UINT64_C(0x123456789A), NC_FP4_AS_DEFINED, 0};
    float x[N], tensor, scale;
    uint8_t codes[N / 2];
    uint64_t seed = 5;
    size_t i;
    int format, k;
    (void)state;
    /* between two values: up where random is below the distance's share of 2^32 */
    for (k = 0; k < 7; k++) {
        const float quarter = values[k] + (values[k + 1] - values[k]) / 4;
        assert_int_equal(nc_fp4_encode_stochastic(values[k], 0), k);
        assert_int_equal(nc_fp4_encode_stochastic(values[k], UINT32_MAX), k);
        assert_int_equal(nc_fp4_encode_stochastic(quarter, 0x3FFFFFFF), k + 1);
        assert_int_equal(nc_fp4_encode_stochastic(quarter, 0x40000000), k);
        assert_int_equal(nc_fp4_encode_stochastic(-quarter, 0x3FFFFFFF), 8 + k + 1);
    }
    assert_int_equal(nc_fp4_encode_stochastic(6, 0), 7);
    assert_int_equal(nc_fp4_encode_stochastic(1e30f, 0), 7);
    assert_int_equal(nc_fp4_encode_stochastic(-INFINITY, 0), 15);
    assert_int_equal(nc_fp4_encode_stochastic(NAN, 0), 7);
    for (i = 0; i < N; i++) x[i] = (float)(int32_t)(test_random(&seed) >> 32) / 1e8f;
    for (i = 64; i < 96; i++) x[i] = 0; /* a block under the scale 0 */
    for (format = NC_FP4_MXFP4; format <= NC_FP4_NVFP4; format++) {
        const size_t block = format == NC_FP4_NVFP4 ? 16 : 32;
        uint8_t all[(N + 15) / 16];
        if (format != NC_FP4_MXFP4 && format != NC_FP4_NVFP4) continue;
        assert_int_equal(nc_fp4_quantize_with((nc_fp4_format)format, &o, x, N, codes, all, &tensor),
                         NC_OK);
        for (i = 0; i < N; i++) {
            scale = format == NC_FP4_NVFP4 ? nc_fp4_e4m3_decode(all[i / block]) * tensor
                                           : nc_fp4_e8m0_decode(all[i / block]);
            assert_int_equal(
                code_at(codes, NC_FP4_LOW_FIRST, 0, N, i),
                nc_fp4_encode_stochastic(scale > 0 ? x[i] / scale : 0, philox(o.seed, i)));
        }
    }
}

/* The scale with the least squared error, the first of several: of NVFP4's candidates absmax and 1/32
   to 8/32 less, of MXFP4's powers of two the next above and below; and codes under that scale. */
static void the_least_error_is_found_among_the_candidates(void **state) {
    enum { BLOCKS = 300 };
    nc_fp4_options o = {NC_FP4_SCALE_MSE, 0, 0, NC_FP4_AS_DEFINED, 0};
    float x[BLOCKS * 32], tensor;
    uint8_t codes[BLOCKS * 16], scales[BLOCKS * 2];
    uint64_t seed = 11;
    size_t i, b;
    int nv, k, moved = 0;
    (void)state;
    for (nv = 0; nv < 2; nv++) {
        const size_t block = nv ? 16 : 32, n = BLOCKS * block;
        const nc_fp4_format format = nv ? NC_FP4_NVFP4 : NC_FP4_MXFP4;
        for (i = 0; i < n; i++)
            x[i] = (float)(int32_t)(test_random(&seed) >> 32) / 1e9f * (i % 7 ? 1.0f : 4.0f);
        assert_int_equal(nc_fp4_quantize_with(format, &o, x, n, codes, scales, &tensor), NC_OK);
        for (b = 0; b < BLOCKS; b++) {
            const float *v = x + b * block;
            double least = INFINITY;
            float best = 0, most = 0;
            for (i = 0; i < block; i++) most = fabsf(v[i]) > most ? fabsf(v[i]) : most;
            for (k = 0; k <= (nv ? 8 : 2); k++) {
                const float factor = nv       ? 1.0f - (float)k / 32
                                     : k == 0 ? 1.0f
                                     : k == 1 ? 2.0f
                                              : 0.5f;
                const float scale =
                    nv ? nc_fp4_e4m3_decode(nc_fp4_e4m3_encode(most * factor / (6 * tensor))) *
                             tensor
                       : ldexpf(1, ilogbf(most * factor) - 2);
                double sum = 0;
                for (i = 0; i < block; i++) {
                    const float y = nc_fp4_decode(nc_fp4_encode(v[i] / scale)) * scale;
                    sum += ((double)v[i] - (double)y) * ((double)v[i] - (double)y);
                }
                if (sum < least) least = sum, best = scale, moved += k > 0;
            }
            assert_true(best == (nv ? nc_fp4_e4m3_decode(scales[b]) * tensor
                                    : nc_fp4_e8m0_decode(scales[b])));
            for (i = 0; i < block; i++)
                assert_int_equal(code_at(codes, NC_FP4_LOW_FIRST, 0, n, b * block + i),
                                 nc_fp4_encode(v[i] / best));
        }
    }
    assert_true(moved > BLOCKS / 4);
}

/* Scales half-way between two of E4M3 take the even one, in every instruction set and number of blocks. */
static void scales_between_two_codes_are_even(void **state) {
    enum { BLOCKS = 40 };
    nc_fp4_options o = {NC_FP4_SCALE_FLOOR, 0, 0, NC_FP4_AS_DEFINED, 1};
    float *x = malloc(BLOCKS * 16 * sizeof *x), tensor;
    uint8_t *codes = malloc(BLOCKS * 8), *scales = malloc(BLOCKS);
    size_t i;
    int e, k;
    (void)state;
    for (e = -5; e < 8; e++)
        for (k = 0; k < 8; k++) {
            const int code = (e + 7) << 3 | k;
            for (i = 0; i < BLOCKS * 16; i++)
                x[i] = i % 16 ? 0.0f
                              : ldexpf(6 * (1 + (2 * (float)k + 1) / 16), e) *
                                    (i / 16 % 2 ? 1.0f : -1.0f);
            assert_int_equal(
                nc_fp4_quantize_with(NC_FP4_NVFP4, &o, x, BLOCKS * 16, codes, scales, &tensor),
                NC_OK);
            for (i = 0; i < BLOCKS; i++) assert_int_equal(scales[i], code + (code & 1));
        }
    free(x);
    free(codes);
    free(scales);
}

/* Every format, every short length: scales and codes in memory that ends with them, values as the codes
   and scales say. */
static void values_are_read_from_nothing_but_codes_and_scales(void **state) {
    static const size_t blocks[] = {32, 16, 64, 64};
    uint64_t seed = 17;
    size_t n, i, format_at;
    (void)state;
    for (format_at = 0; format_at < 4; format_at++)
        for (n = 1; n < 200; n += n < 70 ? 1 : 13) {
            static const nc_fp4_format formats[] = {NC_FP4_MXFP4, NC_FP4_NVFP4, NC_FP4_NF4,
                                                    NC_FP4_BNB};
            const nc_fp4_format format = formats[format_at];
            const size_t bytes = nc_fp4_scale_bytes(format, n);
            uint8_t *codes = malloc((n + 1) / 2), *scales = malloc(bytes);
            float *x = malloc(n * sizeof *x), *y = malloc(n * sizeof *y), tensor;
            for (i = 0; i < n; i++) x[i] = (float)(int32_t)(test_random(&seed) >> 32) / 1e9f;
            assert_int_equal(nc_fp4_quantize(format, x, n, codes, scales, &tensor), NC_OK);
            assert_int_equal(nc_fp4_dequantize(format, codes, scales, tensor, n, y), NC_OK);
            for (i = 0; i < n; i++) {
                const uint8_t code = code_at(codes, NC_FP4_LOW_FIRST, 0, n, i);
                const size_t b = i / blocks[format_at];
                float scale, value;
                memcpy(&scale, scales + (format_at < 2 ? 0 : 4 * b), format_at < 2 ? 1 : 4);
                if (format == NC_FP4_MXFP4) scale = nc_fp4_e8m0_decode(scales[b]);
                if (format == NC_FP4_NVFP4) scale = nc_fp4_e4m3_decode(scales[b]) * tensor;
                value = format == NC_FP4_NF4   ? nc_fp4_nf4_decode(code)
                        : format == NC_FP4_BNB ? nc_fp4_bnb_decode(code)
                                               : nc_fp4_decode(code);
                assert_true(y[i] == value * scale);
            }
            free(codes);
            free(scales);
            free(x);
            free(y);
        }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_order_becomes_every_other),
        cmocka_unit_test(errors_are_those_of_their_definition),
        cmocka_unit_test(random_rounding_is_that_of_seed_and_element),
        cmocka_unit_test(the_least_error_is_found_among_the_candidates),
        cmocka_unit_test(scales_between_two_codes_are_even),
        cmocka_unit_test(values_are_read_from_nothing_but_codes_and_scales),
    };
    return cmocka_run_group_tests_name("fp4 blocks", tests, NULL, NULL);
}
