/* nc_goldilocks.h, section scalar: field operations, vectors, text. */
#include "test.h"
#include <ctype.h>
#include "../nc_goldilocks.h"

static uint64_t random_field(uint64_t *seed) { return nc_gl_from_u64(test_random(seed)); }

static void every_operation_agrees_with_field_json(void **state) {
    json_object *root = load_json(TEST_DATA "goldilocks/field.json");
    uint64_t v[32], inverse;
    size_t n = json_fields(member(root, "values"), v, 32), i, j;
    (void)state;
    for (i = 0; i < n; i++) {
        json_object *inv = json_object_array_get_idx(member(root, "inv"), i);
        uint64_t expected = json_u64(json_object_array_get_idx(member(root, "pow_12345"), i));
        assert_int_equal(nc_gl_pow(v[i], 12345), expected);
        assert_int_equal(nc_gl_inv(v[i], &inverse), v[i] ? NC_OK : NC_ERR_MATH);
        assert_int_equal(inverse, inv ? json_u64(inv) : 0);
        for (j = 0; j < n; j++) {
            uint64_t row[32];
            json_fields(json_object_array_get_idx(member(root, "add"), i), row, 32);
            assert_int_equal(nc_gl_add(v[i], v[j]), row[j]);
            json_fields(json_object_array_get_idx(member(root, "sub"), i), row, 32);
            assert_int_equal(nc_gl_sub(v[i], v[j]), row[j]);
            json_fields(json_object_array_get_idx(member(root, "mul"), i), row, 32);
            assert_int_equal(nc_gl_mul(v[i], v[j]), row[j]);
        }
    }
    json_object_put(root);
}

static void roots_of_unity_agree_with_roots_json(void **state) {
    json_object *root = load_json(TEST_DATA "goldilocks/roots.json");
    json_object *list = member(root, "generator7_roots");
    char key[8];
    uint64_t w, square;
    uint32_t k;
    (void)state;
    for (k = 0; k <= 32; k++) {
        snprintf(key, sizeof key, "%u", (unsigned)k);
        assert_int_equal(nc_gl_root_of_unity(k, &w), NC_OK);
        assert_int_equal(w, json_u64(member(list, key)));
        if (k > 0) {
            assert_int_equal(nc_gl_root_of_unity(k - 1, &square), NC_OK);
            assert_int_equal(nc_gl_sqr(w), square);
        }
    }
    assert_int_equal(nc_gl_root_of_unity(33, &w), NC_ERR_ARG);
    assert_int_equal(w, 0);
    assert_int_equal(nc_gl_pow(NC_GL_GENERATOR, UINT64_C(0xFFFFFFFF)), NC_GL_ROOT_2_32);
    for (k = 0; k < 64; k++) { /* any 64-bit value is accepted here and reduced */
        uint64_t any = NC_GL_P + k * k;
        assert_int_equal(nc_gl_from_u64(any), any - NC_GL_P);
    }
    json_object_put(root);
}

static void check_laws(uint64_t a, uint64_t b, uint64_t c) {
    uint64_t inverse, root;
    assert_int_equal(nc_gl_add(a, b), nc_gl_add(b, a));
    assert_int_equal(nc_gl_sub(nc_gl_add(a, b), b), a);
    assert_int_equal(nc_gl_mul(a, nc_gl_add(b, c)), nc_gl_add(nc_gl_mul(a, b), nc_gl_mul(a, c)));
    assert_int_equal(nc_gl_mul_add(a, b, c), nc_gl_add(nc_gl_mul(a, b), c));
    assert_int_equal(nc_gl_mul(nc_gl_mul(a, b), c), nc_gl_mul(a, nc_gl_mul(b, c)));
    assert_int_equal(nc_gl_add(a, nc_gl_neg(a)), 0);
    assert_int_equal(nc_gl_add(nc_gl_halve(a), nc_gl_halve(a)), a);
    assert_int_equal(nc_gl_dbl(a), nc_gl_mul(2, a));
    assert_int_equal(nc_gl_sqr(a), nc_gl_mul(a, a));
    assert_int_equal(nc_gl_from_i64(nc_gl_to_i64(a)), a);
    if (nc_gl_inv(a, &inverse) == NC_OK) assert_int_equal(nc_gl_mul(a, inverse), 1);
    assert_int_equal(nc_gl_sqrt(nc_gl_sqr(a), &root), NC_OK);
    assert_true(root == a || root == nc_gl_neg(a));
    assert_int_equal(nc_gl_sqrt(nc_gl_mul(7, nc_gl_sqr(a)), &root), a ? NC_ERR_MATH : NC_OK);
}

static void field_laws_hold_on_edge_and_random_values(void **state) {
    uint64_t seed = 1;
    int i, j, k;
    (void)state;
    for (i = 0; i < EDGE_COUNT; i++)
        for (j = 0; j < EDGE_COUNT; j++)
            for (k = 0; k < EDGE_COUNT; k++)
                check_laws(nc_gl_from_u64(edge_u64[i]), nc_gl_from_u64(edge_u64[j]),
                           nc_gl_from_u64(edge_u64[k]));
    for (i = 0; i < 20000; i++) {
        const nc_gl a = random_field(&seed), b = random_field(&seed);
        check_laws(a, b, random_field(&seed));
    }
}

static void multiplication_by_a_power_of_two_is_a_shift(void **state) {
    uint64_t seed = 2;
    uint32_t k;
    (void)state;
    for (k = 0; k < 400; k++) {
        uint64_t a = random_field(&seed);
        assert_int_equal(nc_gl_mul_pow2(a, k), nc_gl_mul(a, nc_gl_pow(2, k)));
    }
}

static void batch_inverse_equals_single_and_counts_zeros(void **state) {
    enum { MOST = 200 };
    uint64_t in[MOST] = {0}, out[MOST], scratch[MOST], single, seed = 3;
    size_t n, i, zeros, expected;
    int level;
    (void)state;
    for (level = 0; level <= 3; level++) {
        if (nc_gl_set_simd(level) != NC_OK) continue;
        for (n = 0; n <= MOST; n++) {
            for (i = 0, expected = 0; i < n; i++) {
                in[i] = test_random(&seed) % 5 ? random_field(&seed) : 0;
                expected += in[i] == 0;
            }
            assert_int_equal(nc_gl_batch_inv(out, in, n, scratch, &zeros), NC_OK);
            assert_int_equal(zeros, expected);
            for (i = 0; i < n; i++) {
                (void)nc_gl_inv(in[i], &single);
                assert_int_equal(out[i], single);
            }
            assert_int_equal(nc_gl_batch_inv(in, in, n, scratch, NULL), NC_OK); /* in place */
            if (n) assert_memory_equal(in, out, n * sizeof *in);
        }
    }
    assert_int_equal(nc_gl_batch_inv(NULL, in, 1, scratch, NULL), NC_ERR_ARG);
    memcpy(out, in, sizeof in); /* in part the same memory: nothing is done */
    assert_int_equal(nc_gl_batch_inv(in + 1, in, 100, scratch, NULL), NC_ERR_ARG);
    assert_int_equal(nc_gl_batch_inv(in, in, 100, in + 99, NULL), NC_ERR_ARG);
    assert_int_equal(nc_gl_batch_inv(scratch + 99, in, 100, scratch, NULL), NC_ERR_ARG);
    assert_memory_equal(in, out, sizeof in);
    assert_int_equal(nc_gl_set_simd(-1), NC_OK);
}

/* Euclid's way against Fermat's; the gap to p takes every number of halvings, 63 among them. */
static void inverses_are_powers_to_p_minus_2(void **state) {
    uint64_t seed = 11;
    nc_gl inverse = 1;
    int i;
    (void)state;
    for (i = 0; i < 20000; i++) {
        nc_gl a = random_field(&seed);
        if (i < 64) a = nc_gl_from_u64((uint64_t)1 << i);
        if (i >= 64 && i < 128) a = NC_GL_P - ((uint64_t)1 << (i - 64));
        if (i >= 128 && i < 1000) a >>= i % 64;
        assert_int_equal(nc_gl_inv(a, &inverse), a ? NC_OK : NC_ERR_MATH);
        assert_int_equal(inverse, nc_gl_pow(a, NC_GL_P - 2));
    }
}

/* Almost all elements take two turns of the Euclidean algorithm; some with few ones in them three. */
static void inverses_of_sums_of_powers_of_two_take_a_third_turn(void **state) {
    int i, j, k;
    (void)state;
    for (i = 0; i < 64; i++)
        for (j = 0; j < 64; j++)
            for (k = 0; k < 6; k++) {
                const uint64_t high = (uint64_t)1 << i, low = (uint64_t)1 << j;
                const nc_gl a =
                    nc_gl_from_u64((k < 3 ? high + low : high - low) + (uint64_t)(k % 3) - 1);
                nc_gl inverse;
                assert_int_equal(nc_gl_inv(a, &inverse), a ? NC_OK : NC_ERR_MATH);
                assert_int_equal(nc_gl_mul(a, inverse), a != 0);
            }
}

static void check_vectors(size_t n, size_t offset, uint64_t *seed) {
    uint64_t room[4][80], *a = room[0] + offset, *b = room[1] + offset, *y = room[2] + offset;
    uint64_t *out = room[3] + offset, dot = 0;
    size_t i;
    for (i = 0; i < 67; i++) { /* every pair of edge values comes along too */
        uint64_t r = test_random(seed);
        a[i] = r % 2 ? random_field(seed) : nc_gl_from_u64(edge_u64[(r >> 8) % EDGE_COUNT]);
        b[i] = r % 3 ? random_field(seed) : nc_gl_from_u64(edge_u64[(r >> 16) % EDGE_COUNT]);
        y[i] = b[i];
    }
    nc_gl_vec_axpy(y, a[3], a, n);
    for (i = 0; i < 67; i++)
        assert_int_equal(y[i], i < n ? nc_gl_add(b[i], nc_gl_mul(a[3], a[i])) : b[i]);
    nc_gl_vec_add(out, a, b, n);
    for (i = 0; i < n; i++) assert_int_equal(out[i], nc_gl_add(a[i], b[i]));
    nc_gl_vec_sub(out, a, b, n);
    for (i = 0; i < n; i++) assert_int_equal(out[i], nc_gl_sub(a[i], b[i]));
    nc_gl_vec_scale(out, b[5], a, n);
    for (i = 0; i < n; i++) assert_int_equal(out[i], nc_gl_mul(b[5], a[i]));
    nc_gl_vec_mul(out, a, b, n);
    for (i = 0; i < n; i++) {
        assert_int_equal(out[i], nc_gl_mul(a[i], b[i]));
        dot = nc_gl_add(dot, out[i]);
    }
    assert_int_equal(nc_gl_vec_dot(a, b, n), dot);
    for (i = 0, dot = 0; i < n; i++) dot = nc_gl_add(dot, a[i]);
    assert_int_equal(nc_gl_vec_sum(a, n), dot);
    nc_gl_vec_powers(out, a[0], b[0], n);
    for (i = 0; i < n; i++) assert_int_equal(out[i], nc_gl_mul(a[0], nc_gl_pow(b[0], i)));
    nc_gl_vec_mul(out, a, b, n);
    nc_gl_vec_mul(a, a, b, n); /* in place */
    if (n) assert_memory_equal(a, out, n * sizeof *a);
}

static void vectors_equal_scalars_at_every_level_length_and_offset(void **state) {
    uint64_t seed = 4;
    size_t n, offset;
    int level, round;
    (void)state;
    for (level = 0; level <= 3; level++) {
        if (nc_gl_set_simd(level) != NC_OK) {
            printf("level %d is not available here: skipped\n", level);
            continue;
        }
        for (round = 0; round < 20; round++)
            for (n = 0; n <= 67; n++)
                for (offset = 0; offset < 8; offset++) check_vectors(n, offset, &seed);
    }
    assert_int_equal(nc_gl_set_simd(4), NC_ERR_ARG);
    assert_int_equal(nc_gl_set_simd(-1), NC_OK);
}

static void check_extension(json_object *one, size_t d) {
    uint64_t a[3], b[3], expected[3], out[3];
    json_fields(member(one, "a"), a, 3);
    json_fields(member(one, "b"), b, 3);
    json_fields(member(one, "mul"), expected, 3);
    (d == 2 ? nc_gl_ext2_mul : nc_gl_ext3_mul)(out, a, b);
    assert_memory_equal(out, expected, d * 8);
    json_fields(member(one, "sqr_a"), expected, 3);
    memcpy(out, a, sizeof out);
    (d == 2 ? nc_gl_ext2_mul : nc_gl_ext3_mul)(out, out, out); /* in place */
    assert_memory_equal(out, expected, d * 8);
    memcpy(out, a, sizeof out);
    (d == 2 ? nc_gl_ext2_sqr : nc_gl_ext3_sqr)(out, out);
    assert_memory_equal(out, expected, d * 8);
    json_fields(member(one, "inv_a"), expected, 3);
    assert_int_equal((d == 2 ? nc_gl_ext2_inv : nc_gl_ext3_inv)(out, a), NC_OK);
    assert_memory_equal(out, expected, d * 8);
    json_fields(member(one, "frob_a"), expected, 3);
    memcpy(out, a, sizeof out);
    (d == 2 ? nc_gl_ext2_frobenius : nc_gl_ext3_frobenius)(out, out);
    assert_memory_equal(out, expected, d * 8);
}

static void extensions_agree_with_ext_json(void **state) {
    json_object *root = load_json(TEST_DATA "goldilocks/ext.json");
    json_object *quad = member(root, "quad7"), *cubic = member(root, "cubic_triton");
    json_object *twin = member(root, "cubic_p3");
    uint64_t zero[3] = {0, 0, 0}, out[3], a[3], b[3], expected[3];
    size_t i;
    (void)state;
    for (i = 0; i < json_object_array_length(quad); i++)
        check_extension(json_object_array_get_idx(quad, i), 2);
    for (i = 0; i < json_object_array_length(cubic); i++)
        check_extension(json_object_array_get_idx(cubic, i), 3);
    for (i = 0; i < json_object_array_length(twin); i++) { /* through the isomorphism */
        json_object *one = json_object_array_get_idx(twin, i);
        json_fields(member(one, "a"), a, 3);
        json_fields(member(one, "b"), b, 3);
        json_fields(member(one, "mul"), expected, 3);
        a[1] = nc_gl_neg(a[1]);
        b[1] = nc_gl_neg(b[1]);
        nc_gl_ext3_mul(out, a, b);
        out[1] = nc_gl_neg(out[1]);
        assert_memory_equal(out, expected, 24);
    }
    assert_int_equal(nc_gl_ext2_inv(out, zero), NC_ERR_MATH);
    assert_memory_equal(out, zero, 16);
    assert_int_equal(nc_gl_ext3_inv(out, zero), NC_ERR_MATH);
    assert_memory_equal(out, zero, 24);
    json_object_put(root);
}

static void extension_laws_hold_on_random_values(void **state) {
    uint64_t a[3], b[3], c[3], l[3], r[3], t[3], seed = 5, base;
    int round, i;
    (void)state;
    for (round = 0; round < 2000; round++) {
        for (i = 0; i < 3; i++) {
            a[i] = random_field(&seed);
            b[i] = random_field(&seed);
            c[i] = random_field(&seed);
        }
        base = random_field(&seed);
        nc_gl_ext3_add(t, b, c); /* a (b + c) = a b + a c */
        nc_gl_ext3_mul(l, a, t);
        nc_gl_ext3_mul(r, a, b);
        nc_gl_ext3_mul(t, a, c);
        nc_gl_ext3_add(r, r, t);
        assert_memory_equal(l, r, 24);
        nc_gl_ext3_sub(l, r, t);
        nc_gl_ext3_mul(r, a, b);
        assert_memory_equal(l, r, 24);
        assert_int_equal(nc_gl_ext3_inv(l, a), NC_OK);
        nc_gl_ext3_mul(l, l, a);
        assert_true(l[0] == 1 && l[1] == 0 && l[2] == 0);
        nc_gl_ext3_frobenius(l, a); /* three times is the identity */
        nc_gl_ext3_frobenius(l, l);
        nc_gl_ext3_frobenius(l, l);
        assert_memory_equal(l, a, 24);
        nc_gl_ext3_mul_base(l, a, base);
        t[0] = base;
        t[1] = t[2] = 0;
        nc_gl_ext3_mul(r, a, t);
        assert_memory_equal(l, r, 24);
        assert_int_equal(nc_gl_ext2_inv(l, a), NC_OK);
        nc_gl_ext2_mul(l, l, a);
        assert_true(l[0] == 1 && l[1] == 0);
        nc_gl_ext2_mul_base(l, a, base);
        nc_gl_ext2_mul(r, a, t);
        assert_memory_equal(l, r, 16);
        nc_gl_ext2_add(l, a, b);
        nc_gl_ext2_sub(l, l, b);
        assert_memory_equal(l, a, 16);
    }
}

/* The elements beside those of the coefficients stay as they were. */
static void extensions_write_no_more_than_their_coefficients(void **state) {
    static const nc_gl around[2][5] = {{4, 5, 6, 7, 8}, {7, 8, 9, 10, 11}};
    const nc_gl *a = around[0] + 1, *b = around[1] + 1;
    nc_gl outputs[5] = {99, 99, 99, 99, 99}, *out = outputs + 1;
    (void)state;
    nc_gl_ext2_add(out, a, b);
    nc_gl_ext2_sub(out, a, b);
    nc_gl_ext2_mul(out, a, b);
    nc_gl_ext2_sqr(out, a);
    nc_gl_ext2_mul_base(out, a, 3);
    nc_gl_ext2_frobenius(out, a);
    assert_int_equal(nc_gl_ext2_inv(out, a), NC_OK);
    assert_true(outputs[0] == 99 && out[2] == 99 && out[3] == 99);
    nc_gl_ext3_add(out, a, b);
    nc_gl_ext3_sub(out, a, b);
    nc_gl_ext3_mul(out, a, b);
    nc_gl_ext3_sqr(out, a);
    nc_gl_ext3_mul_base(out, a, 3);
    nc_gl_ext3_frobenius(out, a);
    assert_int_equal(nc_gl_ext3_inv(out, a), NC_OK);
    assert_true(outputs[0] == 99 && out[3] == 99);
}

static void long_dot_products_carry_between_their_blocks(void **state) {
    static const size_t sizes[] = {2047, 2048, 2049, 2063, 4095, 4096, 4104, 9000, 70000};
    uint64_t *first = malloc(70008 * sizeof *first), *b = malloc(70000 * sizeof *b), seed = 7, *a;
    size_t s, i;
    int level, edge;
    (void)state;
    for (edge = 0; edge < 2; edge++) {
        a = first;
        for (i = 0; i < 70000; i++) { /* the largest values fill the accumulators */
            a[i] = edge ? NC_GL_P - 1 - i % 2 : random_field(&seed);
            b[i] = edge ? UINT64_C(0xFFFFFFFEFFFFFFFF) : random_field(&seed);
        }
        for (s = 0; s < sizeof sizes / sizeof *sizes; s++) {
            uint64_t dot = 0, sum = 0;
            a = memmove(first + s % 8, a, 70000 * sizeof *a); /* at any place in a line */
            for (i = 0; i < sizes[s]; i++) {
                dot = nc_gl_mul_add(a[i], b[i], dot);
                sum = nc_gl_add(sum, a[i]);
            }
            for (level = 0; level <= 3; level++) {
                if (nc_gl_set_simd(level) != NC_OK) continue;
                assert_int_equal(nc_gl_vec_dot(a, b, sizes[s]), dot);
                assert_int_equal(nc_gl_vec_sum(a, sizes[s]), sum);
            }
        }
    }
    assert_int_equal(nc_gl_set_simd(-1), NC_OK);
    free(first);
    free(b);
}

static void matrices_follow_their_definitions(void **state) {
    static const size_t sizes[] = {0, 1, 2, 7, 8, 9, 17, 66};
    enum { COUNT = 8, MOST = 66 };
    static uint64_t a[MOST * MOST], b[MOST * MOST], c[MOST * MOST + 1], t[MOST * MOST];
    uint64_t seed = 6;
    size_t i, m, k, n, x, z, p;
    int level;
    (void)state;
    for (i = 0; i < MOST * MOST; i++) {
        uint64_t r = test_random(&seed);
        a[i] = r % 3 ? random_field(&seed) : NC_GL_P - 1;
        b[i] = r % 5 > 1 ? random_field(&seed) : UINT64_C(0xFFFFFFFEFFFFFFFF);
    }
    for (level = 0; level <= 3; level++) {
        if (nc_gl_set_simd(level) != NC_OK) continue;
        for (m = 0; m < COUNT; m++)
            for (k = 0; k < COUNT; k++)
                for (n = 0; n < COUNT; n++) {
                    size_t rows = sizes[m], inner = sizes[k], columns = sizes[n];
                    uint64_t y[MOST];
                    c[rows * columns] = 99;
                    assert_int_equal(nc_gl_matmul(c, a, b, rows, inner, columns), NC_OK);
                    assert_int_equal(c[rows * columns], 99);
                    assert_int_equal(nc_gl_transpose(t, b, inner, columns), NC_OK);
                    for (x = 0; x < rows; x++) {
                        assert_int_equal(nc_gl_matvec(y, t, a + x * inner, columns, inner), NC_OK);
                        for (z = 0; z < columns; z++) {
                            uint64_t sum = 0;
                            for (p = 0; p < inner; p++)
                                sum = nc_gl_mul_add(a[x * inner + p], b[p * columns + z], sum);
                            assert_int_equal(c[x * columns + z], sum);
                            assert_int_equal(y[z], sum);
                        }
                    }
                }
    }
    assert_int_equal(nc_gl_set_simd(-1), NC_OK);
}

static void long_matrix_products_fill_no_accumulator(void **state) {
    enum { ROWS = 9, INNER = 2100, COLUMNS = 9 };
    static uint64_t a[ROWS * INNER], b[INNER * COLUMNS], c[ROWS * COLUMNS];
    static uint64_t expected[ROWS * COLUMNS];
    uint64_t seed = 23;
    size_t i, j, p;
    int level, edge;
    (void)state;
    for (edge = 0; edge < 2; edge++) {
        for (i = 0; i < ROWS * INNER; i++) /* halves and limbs of ones only are the largest */
            a[i] = edge ? UINT64_C(0xFFFFFFFEFFFFFFFF) : random_field(&seed);
        for (i = 0; i < INNER * COLUMNS; i++)
            b[i] = edge ? UINT64_C(0xFFFFFFFEFFFFFFFF) - i % 2 : random_field(&seed);
        memset(expected, 0, sizeof expected);
        for (i = 0; i < ROWS; i++)
            for (p = 0; p < INNER; p++)
                for (j = 0; j < COLUMNS; j++)
                    expected[i * COLUMNS + j] = nc_gl_mul_add(a[i * INNER + p], b[p * COLUMNS + j],
                                                              expected[i * COLUMNS + j]);
        for (level = 0; level <= 3; level++) {
            if (nc_gl_set_simd(level) != NC_OK) continue;
            assert_int_equal(nc_gl_matmul(c, a, b, ROWS, INNER, COLUMNS), NC_OK);
            assert_memory_equal(c, expected, sizeof c);
        }
    }
    assert_int_equal(nc_gl_set_simd(-1), NC_OK);
}

/* With a sanitizer, or valgrind: vectors may reach ahead inside an array only. */
static void vectors_end_where_their_arrays_end(void **state) {
    uint64_t seed = 24;
    size_t n, i;
    int level;
    (void)state;
    for (level = 0; level <= 3; level++) {
        if (nc_gl_set_simd(level) != NC_OK) continue;
        for (n = 1; n <= 40; n++) {
            uint64_t *a = malloc(n * sizeof *a), *b = malloc(n * sizeof *b), *c, dot = 0;
            c = malloc(n * sizeof *c);
            for (i = 0; i < n; i++) a[i] = random_field(&seed), b[i] = random_field(&seed);
            assert_int_equal(nc_gl_vec_mul(c, a, b, n), NC_OK);
            for (i = 0; i < n; i++) {
                assert_int_equal(c[i], nc_gl_mul(a[i], b[i]));
                dot = nc_gl_add(dot, c[i]);
            }
            assert_int_equal(nc_gl_vec_dot(a, b, n), dot);
            assert_int_equal(nc_gl_matmul(c, a, b, 1, 1, n), NC_OK);
            for (i = 0; i < n; i++) assert_int_equal(c[i], nc_gl_mul(a[0], b[i]));
            free(a);
            free(b);
            free(c);
        }
    }
    assert_int_equal(nc_gl_set_simd(-1), NC_OK);
}

static void outputs_that_overlap_inputs_in_part_are_refused(void **state) {
    uint64_t a[64], copy[64], seed = 8;
    size_t i;
    (void)state;
    for (i = 0; i < 64; i++) a[i] = copy[i] = random_field(&seed);
    assert_int_equal(nc_gl_vec_add(a + 1, a, a + 32, 16), NC_ERR_ARG);
    assert_int_equal(nc_gl_vec_sub(a, a + 32, a + 15, 16), NC_ERR_ARG);
    assert_int_equal(nc_gl_vec_mul(a, a + 15, a + 32, 16), NC_ERR_ARG);
    assert_int_equal(nc_gl_vec_scale(a + 8, 3, a, 16), NC_ERR_ARG);
    assert_int_equal(nc_gl_vec_axpy(a, 3, a + 3, 16), NC_ERR_ARG);
    assert_int_equal(nc_gl_matvec(a, a + 3, a + 32, 4, 4), NC_ERR_ARG);
    assert_int_equal(nc_gl_matvec(a, a + 32, a, 4, 4), NC_ERR_ARG);
    assert_int_equal(nc_gl_matmul(a, a, a + 32, 4, 4, 4), NC_ERR_ARG);
    assert_int_equal(nc_gl_matmul(a, a + 32, a + 15, 4, 4, 4), NC_ERR_ARG);
    assert_int_equal(nc_gl_transpose(a, a, 4, 4), NC_ERR_ARG);
    assert_memory_equal(a, copy, sizeof a);                        /* nothing was done */
    assert_int_equal(nc_gl_vec_add(a, a + 16, a + 32, 16), NC_OK); /* neighbours are fine */
    assert_int_equal(nc_gl_vec_add(a + 1, a, a, 0), NC_OK);
}

static void text_round_trips_and_bad_numbers_name_the_column(void **state) {
    char text[21];
    uint64_t value;
    nc_error err;
    int i;
    (void)state;
    for (i = 0; i < EDGE_COUNT; i++) {
        uint64_t a = nc_gl_from_u64(edge_u64[i]);
        size_t n = nc_gl_print(a, text);
        assert_int_equal(n, strlen(text));
        assert_int_equal(nc_gl_parse(text, n, &value, &err), NC_OK);
        assert_int_equal(value, a);
    }
    assert_int_equal(nc_gl_parse("0xFFFFFFFF00000000", 18, &value, &err), NC_OK);
    assert_int_equal(value, NC_GL_P - 1);
    assert_int_equal(nc_gl_parse("18446744069414584321", 20, &value, &err), NC_ERR_LIMIT);
    assert_true(err.line == 1 && err.column == 20);
    assert_int_equal(nc_gl_parse("99999999999999999999999", 23, &value, &err), NC_ERR_LIMIT);
    assert_true(err.line == 1 && err.column == 20);
    assert_int_equal(nc_gl_parse("12a", 3, &value, &err), NC_ERR_FORMAT);
    assert_true(err.line == 1 && err.column == 3);
    assert_int_equal(nc_gl_parse("", 0, &value, &err), NC_ERR_FORMAT);
    assert_true(err.line == 1 && err.column == 1);
    assert_int_equal(nc_gl_parse("0x", 2, &value, NULL), NC_ERR_FORMAT);
    assert_int_equal(nc_gl_parse("0123", 4, &value, &err), NC_OK); /* decimal, not octal */
    assert_int_equal(value, 123);
    assert_int_equal(nc_gl_parse("0XaF09", 6, &value, &err), NC_OK);
    assert_int_equal(value, 0xAF09);
    assert_int_equal(nc_gl_parse("1x23", 4, &value, &err), NC_ERR_FORMAT);
    assert_int_equal(err.column, 2);
    assert_int_equal(nc_gl_parse("0xfg", 4, &value, &err), NC_ERR_FORMAT);
    assert_int_equal(err.column, 4);
    for (i = 0; i < 256; i++) { /* the bytes beside the digits and letters are none */
        const char one[4] = {'0', 'x', (char)i, 0};
        const int digit = isxdigit(i) != 0;
        assert_int_equal(nc_gl_parse(one, 3, &value, &err), digit ? NC_OK : NC_ERR_FORMAT);
        assert_int_equal(value, digit ? strtoull(one, NULL, 16) : 0);
    }
}

static void bytes_pack_seven_to_an_element(void **state) {
    uint8_t bytes[30];
    uint64_t out[6];
    size_t n, i;
    (void)state;
    for (i = 0; i < 30; i++) bytes[i] = (uint8_t)(i % 251 + 200);
    for (n = 0; n <= 30; n++) {
        memset(out, 0xFF, sizeof out);
        assert_int_equal(nc_gl_pack_bytes(out, bytes, n), (n + 6) / 7);
        for (i = 0; i < 7 * ((n + 6) / 7); i++)
            assert_int_equal(out[i / 7] >> 8 * (i % 7) & 255, i < n ? bytes[i] : 0);
        for (i = 0; i < (n + 6) / 7; i++) assert_true(out[i] >> 56 == 0);
        assert_true(out[(n + 6) / 7] == UINT64_MAX); /* and nothing behind */
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_operation_agrees_with_field_json),
        cmocka_unit_test(roots_of_unity_agree_with_roots_json),
        cmocka_unit_test(field_laws_hold_on_edge_and_random_values),
        cmocka_unit_test(multiplication_by_a_power_of_two_is_a_shift),
        cmocka_unit_test(batch_inverse_equals_single_and_counts_zeros),
        cmocka_unit_test(inverses_are_powers_to_p_minus_2),
        cmocka_unit_test(inverses_of_sums_of_powers_of_two_take_a_third_turn),
        cmocka_unit_test(vectors_equal_scalars_at_every_level_length_and_offset),
        cmocka_unit_test(extensions_agree_with_ext_json),
        cmocka_unit_test(extension_laws_hold_on_random_values),
        cmocka_unit_test(extensions_write_no_more_than_their_coefficients),
        cmocka_unit_test(long_dot_products_carry_between_their_blocks),
        cmocka_unit_test(outputs_that_overlap_inputs_in_part_are_refused),
        cmocka_unit_test(matrices_follow_their_definitions),
        cmocka_unit_test(long_matrix_products_fill_no_accumulator),
        cmocka_unit_test(vectors_end_where_their_arrays_end),
        cmocka_unit_test(bytes_pack_seven_to_an_element),
        cmocka_unit_test(text_round_trips_and_bad_numbers_name_the_column),
    };
    return cmocka_run_group_tests_name("goldilocks scalar", tests, NULL, NULL);
}
