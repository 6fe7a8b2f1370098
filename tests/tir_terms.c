/* nc_tirneural.h, section proofs, with a look inside: terms, polynomials, memory, conditions and
   what a run records, each against its rule. The rest of the prover is in tir_symbolic. */
#include "test.h"
/* Blocks that are not given back. */
static long held;
static void *counted_malloc(size_t bytes) {
    void *at = malloc(bytes);
    held += at != NULL;
    return at;
}
static void *counted_realloc(void *old, size_t bytes) {
    void *at = realloc(old, bytes);
    held += !old && at;
    return at;
}
static void counted_free(void *at) {
    held -= at != NULL;
    free(at);
}
#define NC_MALLOC(bytes) counted_malloc(bytes)
#define NC_REALLOC(at, bytes) counted_realloc(at, bytes)
#define NC_FREE(at) counted_free(at)
#define NC_STATIC
#define NC_IMPLEMENTATION
#include "../nc_tirneural.h"

static nc_tir__terms t;

/* Unknown number k, a term that is no polynomial. */
static uint32_t unknown(uint64_t k) { return nc_tir__intern(&t, NC_TIR__T_INPUT, &k, 1); }

static uint32_t sum(uint32_t a, uint32_t b) { return nc_tir__linear(&t, a, 1, b); }

static uint32_t kind_of(uint32_t term) { return t.list[term].kind; }

static void terms_are_the_same_by_kind_and_payload(void **state) {
    const uint64_t words[3] = {7, 8, 9}, other[3] = {7, 9, 8};
    uint32_t a;
    (void)state;
    nc_tir__terms_reset(&t);
    a = nc_tir__intern(&t, NC_TIR__T_OP, words, 3);
    assert_int_equal(a, 0);
    assert_int_equal(nc_tir__intern(&t, NC_TIR__T_OP, words, 3), a);
    assert_int_equal(nc_tir__intern(&t, NC_TIR__T_CHECK, words, 3), 1);
    assert_int_equal(nc_tir__intern(&t, NC_TIR__T_OP, words, 2), 2);
    assert_int_equal(nc_tir__intern(&t, NC_TIR__T_OP, other, 3), 3);
    assert_int_equal(nc_tir__intern(&t, NC_TIR__T_OP, words, 0), 4);
    assert_int_equal(nc_tir__intern(&t, NC_TIR__T_POLY, words, 0), 5);
    assert_true(t.count == 6 && t.used == 11 && !t.overflow);
    assert_true(t.list[3].first == 8 && t.list[3].count == 3 && t.list[3].is_u32 == 0);
    assert_true(t.list[3].kind == NC_TIR__T_OP && t.words[9] == 9);
    nc_tir__terms_reset(&t);
    assert_true(t.count == 0 && t.used == 0);
    assert_int_equal(nc_tir__intern(&t, NC_TIR__T_CHECK, words, 3), 0);
}

static void the_table_of_terms_says_when_it_is_full(void **state) {
    static uint64_t words[1024];
    uint64_t k;
    (void)state;
    nc_tir__terms_reset(&t);
    for (k = 0; k + 1 < NC_TIR__MAX_TERMS; k++) assert_int_equal(unknown(k), k);
    assert_false(t.overflow);
    assert_int_equal(unknown(3 * k), 0);
    assert_true(t.overflow && t.count == NC_TIR__MAX_TERMS - 1);
    assert_int_equal(unknown(k - 1), k - 1);
    nc_tir__terms_reset(&t);
    assert_false(t.overflow);
    for (k = 0; k < NC_TIR__MAX_WORDS / 1024; k++) {
        words[0] = k;
        assert_int_equal(nc_tir__intern(&t, NC_TIR__T_OP, words, 1024), k);
    }
    assert_true(!t.overflow && t.used == NC_TIR__MAX_WORDS);
    (void)unknown(0);
    assert_true(t.overflow);
}

static nc_tir__monomial monomial(uint64_t coefficient, uint32_t degree, uint32_t a, uint32_t b) {
    nc_tir__monomial m;
    memset(&m, 0, sizeof m);
    m.coefficient = coefficient;
    m.degree = degree;
    m.factor[0] = a;
    m.factor[1] = b;
    return m;
}

static void monomials_stand_in_order_and_cancel(void **state) {
    const nc_tir__monomial one = monomial(5, 0, 0, 0), x = monomial(1, 1, 3, 0);
    const nc_tir__monomial y = monomial(2, 1, 4, 0), xy = monomial(1, 2, 3, 4);
    const nc_tir__monomial yy = monomial(1, 2, 4, 4), less = monomial(NC_GL_P - 1, 1, 3, 0);
    nc_tir__poly p;
    nc_tir__monomial m;
    uint32_t i;
    (void)state;
    assert_int_equal(nc_tir__order(&one, &x), -1);
    assert_int_equal(nc_tir__order(&xy, &y), 1);
    assert_int_equal(nc_tir__order(&x, &y), -1);
    assert_int_equal(nc_tir__order(&yy, &xy), 1);
    assert_int_equal(nc_tir__order(&xy, &xy), 0);
    assert_int_equal(nc_tir__order(&x, &less), 0);
    p.count = 0;
    assert_int_equal(nc_tir__poly_add(&p, &xy), 1);
    assert_int_equal(nc_tir__poly_add(&p, &x), 1);
    assert_int_equal(nc_tir__poly_add(&p, &yy), 1);
    assert_int_equal(nc_tir__poly_add(&p, &one), 1);
    assert_int_equal(nc_tir__poly_add(&p, &y), 1);
    assert_int_equal(nc_tir__poly_add(&p, &y), 1);
    m = monomial(0, 1, 9, 0);
    assert_int_equal(nc_tir__poly_add(&p, &m), 1);
    assert_int_equal(p.count, 5);
    assert_true(p.m[0].coefficient == 5 && p.m[1].factor[0] == 3 && p.m[2].coefficient == 4);
    assert_true(!nc_tir__order(&p.m[3], &xy) && !nc_tir__order(&p.m[4], &yy));
    assert_int_equal(nc_tir__poly_add(&p, &less), 1); /* x - x */
    assert_true(p.count == 4 && p.m[0].coefficient == 5 && p.m[1].coefficient == 4);
    assert_true(!nc_tir__order(&p.m[2], &xy) && !nc_tir__order(&p.m[3], &yy));
    for (i = 10; p.count < NC_TIR__MAX_MONOMIALS; i++) {
        m = monomial(1, 1, i, 0);
        assert_int_equal(nc_tir__poly_add(&p, &m), 1);
    }
    m = monomial(1, 1, i, 0);
    assert_int_equal(nc_tir__poly_add(&p, &m), 0);
    assert_int_equal(nc_tir__poly_add(&p, &yy), 1); /* one that is there fits */
    assert_true(p.count == NC_TIR__MAX_MONOMIALS && p.m[p.count - 1].coefficient == 2);
}

static void constants_are_polynomials_of_degree_0(void **state) {
    uint64_t value = 99;
    uint32_t x, poly;
    nc_tir__poly p;
    (void)state;
    nc_tir__terms_reset(&t);
    x = unknown(0);
    assert_true(nc_tir__is_constant(&t, nc_tir__constant(&t, 0), &value) && value == 0);
    assert_true(nc_tir__is_constant(&t, nc_tir__constant(&t, 5), &value) && value == 5);
    assert_false(nc_tir__is_constant(&t, x, &value));
    assert_int_equal(value, 0);
    poly = nc_tir__offset(&t, x, 5);
    assert_false(nc_tir__is_constant(&t, poly, &value));
    assert_false(
        nc_tir__is_constant(&t, nc_tir__linear(&t, x, 5, nc_tir__constant(&t, 0)), &value));
    nc_tir__to_poly(&t, poly, &p);
    assert_true(p.count == 2 && p.m[0].coefficient == 5 && p.m[0].degree == 0);
    assert_true(p.m[1].coefficient == 1 && p.m[1].degree == 1 && p.m[1].factor[0] == x);
    assert_int_equal(nc_tir__from_poly(&t, &p), poly);
    nc_tir__to_poly(&t, x, &p);
    assert_true(p.count == 1 && p.m[0].coefficient == 1 && p.m[0].factor[0] == x);
    assert_int_equal(nc_tir__from_poly(&t, &p), x);
    p.m[0].coefficient = 2;
    assert_int_not_equal(nc_tir__from_poly(&t, &p), x);
    assert_int_equal(nc_tir__offset(&t, poly, NC_GL_P - 5), x);
}

/* What does not fit into a polynomial is an operation of the same operands. */
static void sums_and_products_that_grow_too_large_are_opaque(void **state) {
    uint32_t all, x, y, z, i, other, eight, five[2];
    (void)state;
    nc_tir__terms_reset(&t);
    all = nc_tir__constant(&t, 0);
    for (i = 0; i < NC_TIR__MAX_MONOMIALS; i++) all = sum(unknown(i), all);
    assert_int_equal(kind_of(all), NC_TIR__T_POLY);
    y = unknown(NC_TIR__MAX_MONOMIALS);
    z = unknown(NC_TIR__MAX_MONOMIALS + 1);
    other = sum(y, all); /* its operands: y, how often, and the rest */
    assert_int_equal(kind_of(other), NC_TIR__T_OP);
    assert_true(t.list[other].count == 4 && t.words[t.list[other].first] == NC_TIR__I_ADD);
    assert_true(t.words[t.list[other].first + 1] == y && t.words[t.list[other].first + 3] == all);
    assert_int_equal(sum(y, all), sum(y, all));
    assert_int_not_equal(sum(y, all), sum(z, all));
    assert_int_not_equal(sum(y, all), nc_tir__linear(&t, y, 2, all));
    other = sum(unknown(0), all);
    assert_int_equal(kind_of(other), NC_TIR__T_POLY);
    assert_int_not_equal(sum(y, all), sum(y, other));
    x = unknown(0);
    for (eight = x, i = 1; i < NC_TIR__MAX_DEGREE; i++) eight = nc_tir__product(&t, eight, x);
    assert_int_equal(kind_of(eight), NC_TIR__T_POLY);
    assert_int_equal(kind_of(nc_tir__product(&t, eight, x)), NC_TIR__T_OP);
    assert_int_equal(nc_tir__product(&t, eight, x), nc_tir__product(&t, x, eight));
    assert_int_not_equal(nc_tir__product(&t, eight, x), nc_tir__product(&t, eight, y));
    for (i = 1, five[0] = unknown(0); i < 4; i++) five[0] = sum(five[0], unknown(i));
    for (i = 5, five[1] = unknown(4); i < 10; i++) five[1] = sum(five[1], unknown(i));
    other = nc_tir__product(&t, five[0], five[1]); /* 4 times 6 monomials */
    assert_int_equal(kind_of(other), NC_TIR__T_POLY);
    assert_int_equal(t.list[other].count, 24 * 4);
    five[0] = sum(five[0], unknown(11));
    other = nc_tir__product(&t, five[0], five[1]);
    assert_int_equal(kind_of(other), NC_TIR__T_OP);
    assert_int_equal(other, nc_tir__product(&t, five[1], five[0]));
    assert_int_equal(t.words[t.list[other].first], NC_TIR__I_MUL);
    nc_tir__terms_reset(&t);
    all = nc_tir__constant(&t, 0);
    for (i = 0; i < NC_TIR__MAX_MONOMIALS; i++) all = sum(unknown(i + 1), all);
    for (i = 1, x = unknown(0); i < NC_TIR__MAX_DEGREE; i++) all = nc_tir__product(&t, all, x);
    assert_int_equal(kind_of(all), NC_TIR__T_POLY); /* the longest that there is */
    assert_int_equal(t.list[all].count, NC_TIR__MAX_MONOMIALS * (NC_TIR__MAX_DEGREE + 2));
}

static void products_follow_the_laws_of_a_ring(void **state) {
    uint32_t x, y, z, a, b;
    (void)state;
    nc_tir__terms_reset(&t);
    x = unknown(0), y = unknown(1), z = unknown(2);
    a = nc_tir__product(&t, nc_tir__product(&t, z, x), y);
    b = nc_tir__product(&t, y, nc_tir__product(&t, x, z));
    assert_int_equal(a, b);
    assert_true(t.list[a].count == 5 && t.words[t.list[a].first + 1] == 3);
    assert_true(t.words[t.list[a].first + 2] == x && t.words[t.list[a].first + 3] == y &&
                t.words[t.list[a].first + 4] == z);
    a = nc_tir__product(&t, nc_tir__offset(&t, x, 1), nc_tir__offset(&t, x, NC_GL_P - 1));
    b = nc_tir__offset(&t, nc_tir__product(&t, x, x), NC_GL_P - 1); /* x^2 - 1 */
    assert_int_equal(a, b);
    a = nc_tir__product(&t, sum(x, y), z);
    assert_int_equal(a, sum(nc_tir__product(&t, z, x), nc_tir__product(&t, y, z)));
    assert_int_equal(nc_tir__product(&t, nc_tir__constant(&t, 6), nc_tir__constant(&t, 7)),
                     nc_tir__constant(&t, 42));
    assert_int_equal(nc_tir__product(&t, x, nc_tir__constant(&t, 0)), nc_tir__constant(&t, 0));
    assert_int_equal(nc_tir__linear(&t, x, NC_GL_P - 3, nc_tir__linear(&t, x, 3, y)), y);
}

static void equality_asks_one_question_whatever_the_factor(void **state) {
    uint32_t x, y, x2, y2, zero;
    uint64_t offset;
    (void)state;
    nc_tir__terms_reset(&t);
    x = unknown(0), y = unknown(1), zero = nc_tir__constant(&t, 0);
    x2 = nc_tir__linear(&t, x, 2, zero), y2 = nc_tir__linear(&t, y, 2, zero);
    assert_int_equal(nc_tir__equal(&t, x, y), nc_tir__equal(&t, y, x));
    assert_int_equal(nc_tir__equal(&t, x2, y2), nc_tir__equal(&t, x, y));
    assert_int_not_equal(nc_tir__equal(&t, x2, y), nc_tir__equal(&t, x, y));
    assert_int_equal(nc_tir__equal(&t, x, x), nc_tir__constant(&t, 1));
    assert_int_equal(nc_tir__equal(&t, x, nc_tir__offset(&t, x, 1)), zero);
    assert_int_equal(nc_tir__monic(&t, x2), x);
    assert_int_equal(nc_tir__monic(&t, x), x);
    assert_int_equal(nc_tir__monic(&t, zero), zero);
    assert_int_equal(nc_tir__monic(&t, nc_tir__constant(&t, 5)), nc_tir__constant(&t, 1));
    assert_int_equal(nc_tir__base_of(&t, nc_tir__offset(&t, x, 5), &offset), x);
    assert_int_equal(offset, 5);
    assert_int_equal(nc_tir__base_of(&t, x, &offset), x);
    assert_int_equal(offset, 0);
    assert_int_equal(nc_tir__base_of(&t, nc_tir__constant(&t, 9), &offset), zero);
    assert_int_equal(offset, 9);
    assert_int_equal(nc_tir__base_of(&t, zero, &offset), zero);
    assert_int_equal(offset, 0);
    assert_int_equal(nc_tir__base_of(&t, nc_tir__offset(&t, sum(x2, y), 7), &offset), sum(x2, y));
    assert_int_equal(offset, 7);
    assert_int_equal(nc_tir__base_of(&t, nc_tir__product(&t, x, y), &offset),
                     nc_tir__product(&t, x, y));
    assert_int_equal(offset, 0);
}

static void memory_holds_the_last_store_of_each_address(void **state) {
    uint32_t x, y, a, b, ram, one, chain, plain, k, count;
    uint64_t zero = 0;
    (void)state;
    nc_tir__terms_reset(&t);
    ram = nc_tir__intern(&t, NC_TIR__T_CHANNEL, &zero, 1);
    x = unknown(0), y = unknown(1), a = unknown(2), b = unknown(3);
    one = nc_tir__ram_write(&t, ram, x, a);
    assert_null(nc_tir__last_store(&t, ram));
    assert_true(nc_tir__last_store(&t, one)[0] == ram && nc_tir__last_store(&t, one)[1] == x &&
                nc_tir__last_store(&t, one)[2] == a);
    assert_int_equal(nc_tir__ram_read(&t, one, x), a);
    assert_int_equal(nc_tir__ram_read(&t, one, nc_tir__offset(&t, x, 1)),
                     nc_tir__ram_read(&t, ram, nc_tir__offset(&t, x, 1)));
    assert_int_not_equal(nc_tir__ram_read(&t, one, y), nc_tir__ram_read(&t, ram, y));
    assert_int_not_equal(nc_tir__ram_read(&t, ram, x), nc_tir__ram_read(&t, ram, y));
    assert_int_equal(nc_tir__ram_write(&t, one, x, a), one);
    assert_int_equal(nc_tir__ram_write(&t, one, x, b), nc_tir__ram_write(&t, ram, x, b));
    assert_int_equal(nc_tir__ram_write(&t, ram, x, nc_tir__ram_read(&t, ram, x)), ram);
    assert_int_equal(
        nc_tir__ram_write(&t, one, nc_tir__offset(&t, x, 1), b),
        nc_tir__ram_write(&t, nc_tir__ram_write(&t, ram, nc_tir__offset(&t, x, 1), b), x, a));
    assert_int_not_equal(nc_tir__ram_write(&t, one, y, b),
                         nc_tir__ram_write(&t, nc_tir__ram_write(&t, ram, y, b), x, a));
    for (count = 60; count < 68; count++) { /* one store that comes last and belongs first */
        chain = ram;
        plain = nc_tir__ram_write(&t, ram, x, b);
        for (k = 1; k <= count; k++) {
            chain = nc_tir__ram_write(&t, chain, nc_tir__offset(&t, x, k), a);
            plain = nc_tir__ram_write(&t, plain, nc_tir__offset(&t, x, k), a);
        }
        chain = nc_tir__ram_write(&t, chain, x, b);
        assert_int_equal(chain == plain, count <= NC_TIR__MAX_PASSED);
        assert_int_equal(nc_tir__ram_read(&t, chain, x), b);
        assert_int_equal(nc_tir__ram_read(&t, chain, nc_tir__offset(&t, x, count)), a);
    }
    assert_false(t.overflow);
}

static void quotients_and_remainders_by_constants(void **state) {
    uint32_t x, d, q, r, zero, args[2];
    (void)state;
    nc_tir__terms_reset(&t);
    x = unknown(0), zero = nc_tir__constant(&t, 0);
    assert_true(nc_tir__known_u32(&t, nc_tir__constant(&t, UINT32_MAX)));
    assert_false(nc_tir__known_u32(&t, nc_tir__constant(&t, UINT64_C(1) << 32)));
    assert_true(nc_tir__known_u32(&t, zero));
    assert_false(nc_tir__known_u32(&t, x));
    assert_false(nc_tir__known_u32(&t, nc_tir__offset(&t, x, 1)));
    assert_true(nc_tir__known_u32(&t, nc_tir__result(&t, NC_TIR__I_SPLIT, 0, 0, &x, 1)));
    assert_false(nc_tir__known_u32(&t, nc_tir__result(&t, NC_TIR__I_INVERT, 0, 0, &x, 1)));
    d = nc_tir__constant(&t, 1 << 16);
    q = nc_tir__quotient(&t, x, d);
    args[0] = d, args[1] = x;
    assert_int_equal(q, nc_tir__result(&t, NC_TIR__I_DIV_MOD, 0, 0, args, 2));
    assert_int_equal(nc_tir__quotient(&t, q, nc_tir__constant(&t, 1 << 15)),
                     nc_tir__quotient(&t, x, nc_tir__constant(&t, UINT64_C(1) << 31)));
    assert_int_not_equal(nc_tir__quotient(&t, q, d),
                         nc_tir__quotient(&t, x, nc_tir__constant(&t, UINT64_C(1) << 32)));
    r = nc_tir__result(&t, NC_TIR__I_DIV_MOD, 1, 0, args, 2); /* a remainder is no quotient */
    args[0] = nc_tir__constant(&t, 2), args[1] = r;
    assert_int_equal(nc_tir__quotient(&t, r, args[0]),
                     nc_tir__result(&t, NC_TIR__I_DIV_MOD, 0, 0, args, 2));
    args[0] = x, args[1] = q; /* by an unknown */
    assert_int_equal(nc_tir__quotient(&t, q, x),
                     nc_tir__result(&t, NC_TIR__I_DIV_MOD, 0, 0, args, 2));
    r = nc_tir__modulo(&t, x, 1 << 16);
    assert_int_equal(r, nc_tir__linear(&t, q, NC_GL_P - (1 << 16), x));
    assert_true(nc_tir__known_u32(&t, r));
    args[0] = 7, args[1] = 5;
    nc_tir__sort2(args);
    assert_true(args[0] == 5 && args[1] == 7);
    nc_tir__sort2(args);
    assert_true(args[0] == 5 && args[1] == 7);
}

static void conditions_are_recorded_once_and_only_where_they_may_fail(void **state) {
    static nc_tir__meaning s;
    uint32_t x, k;
    (void)state;
    nc_tir__terms_reset(&t);
    s.check_count = 0;
    x = unknown(0);
    nc_tir__check(&t, &s, NC_TIR__C_ZERO, nc_tir__constant(&t, 0));
    nc_tir__check(&t, &s, NC_TIR__C_NONZERO, nc_tir__constant(&t, 3));
    nc_tir__check(&t, &s, NC_TIR__C_U32, nc_tir__constant(&t, 3));
    assert_int_equal(s.check_count, 0);
    nc_tir__check(&t, &s, NC_TIR__C_ZERO, nc_tir__constant(&t, 3));
    nc_tir__check(&t, &s, NC_TIR__C_NONZERO, nc_tir__constant(&t, 0));
    nc_tir__check(&t, &s, NC_TIR__C_U32, nc_tir__constant(&t, UINT64_C(1) << 32));
    assert_int_equal(s.check_count, 3);
    nc_tir__check(&t, &s, NC_TIR__C_ZERO, x);
    nc_tir__check(&t, &s, NC_TIR__C_NONZERO, x);
    nc_tir__check(&t, &s, NC_TIR__C_U32, x);
    nc_tir__check(&t, &s, NC_TIR__C_GENERIC, x);
    assert_int_equal(s.check_count, 7);
    nc_tir__check(&t, &s, NC_TIR__C_ZERO, x);
    nc_tir__check(&t, &s, NC_TIR__C_ZERO, nc_tir__linear(&t, x, 5, nc_tir__constant(&t, 0)));
    assert_int_equal(s.check_count, 7);
    nc_tir__check(&t, &s, NC_TIR__C_U32, nc_tir__linear(&t, x, 5, nc_tir__constant(&t, 0)));
    assert_int_equal(s.check_count, 8);
    for (k = 8; k < NC_TIR__MAX_CHECKS; k++) nc_tir__check(&t, &s, NC_TIR__C_ZERO, unknown(k));
    assert_true(s.check_count == NC_TIR__MAX_CHECKS && !t.overflow);
    nc_tir__check(&t, &s, NC_TIR__C_ZERO, unknown(k - 1));
    assert_false(t.overflow);
    nc_tir__check(&t, &s, NC_TIR__C_ZERO, unknown(k));
    assert_true(s.check_count == NC_TIR__MAX_CHECKS && t.overflow);
    s.checks[0] = 5, s.checks[1] = 3, s.checks[2] = 9, s.checks[3] = 1, s.check_count = 4;
    nc_tir__sort_checks(&s);
    assert_true(s.checks[0] == 1 && s.checks[1] == 3 && s.checks[2] == 5 && s.checks[3] == 9);
}

static nc_tir__prover prover;

/* The meaning of code, in prover.before. */
static nc_tir_verdict interpret(const char *text) {
    nc_tir__code code;
    nc_tir_verdict verdict;
    assert_int_equal(nc_tir__read_tasm(text, NC_TIR__FOR_PROOF, &code, NULL), NC_OK);
    verdict = nc_tir__interpret(&prover, code.list, stbds_arrlenu(code.list));
    nc_tir__code_free(&code);
    return verdict;
}

static void a_run_records_operations_with_operands_and_results(void **state) {
    const nc_tir__meaning *s = &prover.before;
    const nc_tir__node *n = s->nodes;
    const uint64_t channel = NC_TIR__CHANNEL_RAM;
    uint32_t ram, k;
    char code[4000];
    (void)state;
    assert_int_equal(interpret("dup 1 add push 5 lt swap 2 write_mem 1 nop pop 1 "
                               "push 2 push 3 eq split pop 1 push 4 lt"),
                     NC_TIR_PROVEN);
    ram = nc_tir__intern(&prover.terms, NC_TIR__T_CHANNEL, &channel, 1);
    assert_true(s->node_count == 6 && !s->too_many_nodes);
    assert_int_equal(n[0].instruction.op, NC_TIR__I_ADD);
    assert_true(n[0].instruction.line == 1 && n[1].instruction.line == 3);
    assert_true(n[0].arg_count == 2 && n[0].result_count == 1 && !n[0].new_check && !n[0].needed);
    assert_true(n[0].args[0] == NC_TIR__INPUTS - 1 && n[0].args[1] == NC_TIR__INPUTS - 2);
    assert_int_equal(n[1].args[0], n[0].results[0]);
    assert_true(n[1].new_check && n[1].arg_count == 2); /* lt of what may be no u32 */
    assert_true(n[2].instruction.op == NC_TIR__I_WRITE_MEM && n[2].ram == ram);
    assert_true(n[2].arg_count == 2 && n[2].result_count == 1 && !n[2].new_check);
    assert_int_equal(n[3].instruction.op, NC_TIR__I_EQ);
    assert_true(n[3].ram != ram && n[3].ram == s->channel[NC_TIR__CHANNEL_RAM]);
    assert_true(n[4].instruction.op == NC_TIR__I_SPLIT && n[4].result_count == 2);
    assert_int_equal(n[4].args[0], n[3].results[0]);
    assert_false(n[5].new_check);
    for (k = 126; k < 130; k++) { /* as many as there is room for */
        uint32_t i;
        for (i = 0; i < k; i++) memcpy(code + 7 * i, "addi 1 ", 7);
        code[7 * k] = 0;
        assert_int_equal(interpret(code), NC_TIR_PROVEN);
        assert_int_equal(s->node_count, k < NC_TIR__MAX_NODES ? k : NC_TIR__MAX_NODES - 1);
        assert_int_equal(s->too_many_nodes, k >= NC_TIR__MAX_NODES);
    }
}

/* A term of an operation holds it, the result's number, a channel and each operand. */
static void operations_are_named_by_their_operands(void **state) {
    static const struct {
        const char *code;
        uint32_t depth, op, words;
    } cases[] = {
        {"pow", 0, NC_TIR__I_POW, 5},
        {"invert", 0, NC_TIR__I_INVERT, 4},
        {"eq", 0, NC_TIR__I_EQ, 4}, /* of a difference */
        {"lt", 0, NC_TIR__I_LT, 5},
        {"and", 0, NC_TIR__I_AND, 5},
        {"pop_count", 0, NC_TIR__I_POP_COUNT, 4},
        {"split", 0, NC_TIR__I_SPLIT, 4},
        {"split", 1, NC_TIR__I_SPLIT, 4},
        {"div_mod", 0, NC_TIR__I_DIV_MOD, 5},
        {"div_mod", 1, NC_TIR__I_DIV_MOD, 5},
        {"push 3 swap 1 div_mod", 1, NC_TIR__I_DIV_MOD, 5},
        {"read_io 1", 0, NC_TIR__I_READ_IO, 3},
        {"divine 1", 0, NC_TIR__I_DIVINE, 3},
        {"read_mem 1", 1, NC_TIR__I_READ_MEM, 4},
        {"hash", 4, NC_TIR__I_HASH, 13},
        {"sponge_squeeze", 9, NC_TIR__I_SPONGE_SQUEEZE, 3},
        {"xx_mul", 2, NC_TIR__I_XX_MUL, 9},
    };
    static const uint32_t channels[][2] = {{NC_TIR__CHANNEL_PUBLIC_IN, 3},
                                           {NC_TIR__CHANNEL_OUT, 4},
                                           {NC_TIR__CHANNEL_RAM, 5},
                                           {NC_TIR__CHANNEL_SPONGE, 13}};
    const nc_tir__meaning *s = &prover.before;
    const nc_tir__terms *terms = &prover.terms;
    nc_gl in[10], digest[5];
    uint64_t k;
    size_t i;
    (void)state;
    for (i = 0; i < sizeof cases / sizeof *cases; i++) {
        const nc_tir__term *x;
        assert_int_equal(interpret(cases[i].code), NC_TIR_PROVEN);
        x = &terms->list[s->stack[s->n - 1 - cases[i].depth]];
        if (x->kind != NC_TIR__T_OP || terms->words[x->first] != cases[i].op ||
            x->count != cases[i].words)
            fail_msg("'%s': a term of %u words", cases[i].code, (unsigned)x->count);
    }
    assert_int_equal(interpret("read_io 1 write_io 1 write_mem 1 sponge_absorb"), NC_TIR_PROVEN);
    for (i = 0; i < 4; i++)
        assert_int_equal(terms->list[s->channel[channels[i][0]]].count, channels[i][1]);
    assert_int_equal(interpret("xx_mul"), NC_TIR_PROVEN); /* both triples, the first one first */
    for (i = 0; i < 6; i++)
        assert_int_equal(terms->words[terms->list[s->stack[s->n - 1]].first + 3 + i],
                         NC_TIR__INPUTS - 6 + i);
    prover.before.channel[0] = 99; /* a run sets all of them */
    assert_int_equal(interpret(""), NC_TIR_PROVEN);
    for (k = 0; k < NC_TIR__CHANNELS; k++) {
        assert_int_equal(s->channel[k], nc_tir__intern(&prover.terms, NC_TIR__T_CHANNEL, &k, 1));
    }
    /* what an earlier run left beside the operands is none of them */
    assert_int_equal(interpret("push 255 push 1 push 2 push 3 xx_add"), NC_TIR_PROVEN);
    assert_int_equal(interpret("push 255 pop 1 and"), NC_TIR_PROVEN);
    assert_int_equal(terms->words[terms->list[s->stack[s->n - 1]].first], NC_TIR__I_AND);
    assert_int_equal(interpret("push 9 push 8 push 7 push 6 push 5 push 4 push 3 push 2 push 1 "
                               "push 0 hash"),
                     NC_TIR_PROVEN);
    for (i = 0; i < 10; i++) in[i] = i;
    nc_gl_tip5_hash_10(in, digest);
    for (i = 0; i < 5; i++)
        assert_int_equal(s->stack[s->n - 1 - i], nc_tir__constant(&prover.terms, digest[i]));
    for (i = 0; i < 2; i++) { /* the pointer is st5; the accumulator's three elements are st6 on */
        assert_int_equal(interpret(i ? "x_horner_step" : "b_horner_step"), NC_TIR_PROVEN);
        assert_int_equal(s->stack[s->n - 6], nc_tir__offset(&prover.terms, NC_TIR__INPUTS - 6,
                                                            i ? NC_GL_P - 3 : NC_GL_P - 1));
        assert_int_equal(terms->list[s->stack[s->n - 5]].kind, NC_TIR__T_OP);
        assert_int_equal(s->n, NC_TIR__INPUTS);
    }
}

static void stacks_have_a_depth_that_proofs_keep_to(void **state) {
    char code[2000];
    uint32_t k, i;
    (void)state;
    for (k = 95; k < 100; k++) { /* 16 places are left after it */
        for (i = 0; i < k; i++) memcpy(code + 7 * i, "push 1 ", 7);
        code[7 * k] = 0;
        assert_int_equal(interpret(code), k <= 97 ? NC_TIR_PROVEN : NC_TIR_TOO_LARGE);
        if (k <= 97) assert_true(prover.before.n == NC_TIR__INPUTS + k && prover.before.dip == 0);
    }
    for (k = 46; k < 52; k++) {
        for (i = 0; i < k; i++) memcpy(code + 6 * i, "pop 1 ", 6);
        code[6 * k] = 0;
        assert_int_equal(interpret(code), k <= 49 ? NC_TIR_PROVEN : NC_TIR_TOO_LARGE);
        if (k <= 49) assert_int_equal(prover.before.dip, -(int)k);
    }
    assert_int_equal(interpret("push 1 pop 3 push 1 push 1 push 1 pop 1"), NC_TIR_PROVEN);
    assert_int_equal(prover.before.dip, -2);
    assert_int_equal(interpret("dup 15"), NC_TIR_PROVEN);
    assert_int_equal(interpret("swap 15"), NC_TIR_PROVEN);
}

static void constants_are_folded_as_the_machine_computes(void **state) {
    static const struct {
        const char *a, *b;
        nc_tir_verdict verdict;
    } cases[] = {
        {"push 6 push 3 and", "push 2", NC_TIR_PROVEN},
        {"push 6 push 3 xor", "push 5", NC_TIR_PROVEN},
        {"push 6 push 3 or", "push 7", NC_TIR_PROVEN},
        {"push 3 push 5 lt", "push 0", NC_TIR_PROVEN},
        {"push 5 push 3 lt", "push 1", NC_TIR_PROVEN},
        {"push 5 push 5 lt", "push 0", NC_TIR_PROVEN},
        {"push 3 push 2 pow", "push 8", NC_TIR_PROVEN},
        {"push 2 push 4294967296 pow", "push -4294967296", NC_TIR_DIFFERENT_STACK},
        {"push 2 push 4294967296 pow", "push 4294967295", NC_TIR_PROVEN}, /* 2^64 */
        {"push 4294967295 push 1 and", "push 1", NC_TIR_PROVEN},
        {"push 4294967296 push 1 and", "push 0", NC_TIR_DIFFERENT_STACK}, /* crashes */
        {"push 1 push 4294967296 and", "push 0", NC_TIR_DIFFERENT_STACK},
        {"push 4294967296 push 2 pow", "push 1", NC_TIR_DIFFERENT_STACK},
        {"push 2 invert push 2 mul", "push 1", NC_TIR_PROVEN},
        {"push 12884901893 split", "push 3 push 5", NC_TIR_PROVEN},
        {"push 17 push 5 swap 1 div_mod", "push 3 push 2", NC_TIR_PROVEN},
        {"push 1 and", "push 2 swap 1 div_mod swap 1 pop 1", NC_TIR_PROVEN},
        {"push 255 swap 1 and", "push 255 and", NC_TIR_PROVEN},
        {"push 0 and", "push 1 swap 1 div_mod swap 1 pop 1", NC_TIR_DIFFERENT_STACK},
        {"push 8 swap 1 pow", "dup 0 dup 0 mul dup 0 mul dup 0 mul swap 1 pop 1", NC_TIR_PROVEN},
        {"push 1 swap 1 pow", "push 0 pop 1", NC_TIR_PROVEN},
        {"push 9 swap 1 pow", "dup 0 dup 0 mul dup 0 mul dup 0 mul mul", NC_TIR_DIFFERENT_STACK},
        /* what a word that is known to be one need not show again */
        {"split pop_count pop 2", "split pop 2", NC_TIR_PROVEN},
        {"split log_2_floor pop 2", "split pop 2", NC_TIR_DIFFERENT_CRASHES},
        {"log_2_floor pop 1", "pop_count pop 1", NC_TIR_DIFFERENT_CRASHES},
        {"split xor pop 1", "split pop 2", NC_TIR_PROVEN},
        {"dup 0 split pop 2 pop_count", "pop_count", NC_TIR_PROVEN},
        {"push 3 swap 1 pow push 0 swap 1 pop 1", "pop 1 push 0", NC_TIR_DIFFERENT_CRASHES},
        /* five equalities at once, each of them alone */
        {"assert_vector",
         "dup 5 push -1 mul dup 1 add addi 1 assert dup 6 push -1 mul dup 2 add addi 1 assert "
         "dup 7 push -1 mul dup 3 add addi 1 assert dup 8 push -1 mul dup 4 add addi 1 assert "
         "dup 9 push -1 mul dup 5 add addi 1 assert pop 5",
         NC_TIR_PROVEN},
        {"read_io 2 add", "read_io 1 read_io 1 add", NC_TIR_PROVEN},
        {"read_io 2", "read_io 2 swap 1", NC_TIR_DIFFERENT_STACK},
        {"read_io 2 pop 2", "read_io 1 pop 1", NC_TIR_DIFFERENT_EFFECTS},
        {"divine 1 pop 1", "read_io 1 pop 1", NC_TIR_DIFFERENT_EFFECTS},
        {"read_mem 2 pop 1", "dup 0 read_mem 1 pop 1 swap 1 addi -1 read_mem 1 pop 1",
         NC_TIR_PROVEN},
        {"write_mem 2", "write_mem 1 write_mem 1", NC_TIR_PROVEN},
        {"write_mem 2 addi -2", "write_mem 1 write_mem 1", NC_TIR_DIFFERENT_STACK},
        {"push 1 push 2 push 3 push 0 push 9 push 5 xx_mul", "push 1 push 2 push 3 push 5 xb_mul",
         NC_TIR_DIFFERENT_STACK},
        {"push 2 push 3 push 4 push 5 xb_mul", "push 10 push 15 push 20", NC_TIR_PROVEN},
        {"push 1 push 2 push 3 push 10 push 20 push 30 xx_add", "push 11 push 22 push 33",
         NC_TIR_PROVEN},
        {"push 0 push 0 push 7 xx_mul", "push 7 xb_mul", NC_TIR_PROVEN},
        {"push 0 push 1 push 7 xx_mul", "push 7 xb_mul", NC_TIR_DIFFERENT_STACK},
        {"push 1 push 0 push 7 xx_mul", "push 7 xb_mul", NC_TIR_DIFFERENT_STACK},
        /* pointers move by what is read */
        {"sponge_absorb_mem", "dup 0 addi 10 place 5 sponge_absorb_mem pop 1 pick 4",
         NC_TIR_PROVEN},
        {"xx_dot_step swap 1", "dup 1 addi 3 place 5 xx_dot_step swap 1 pop 1 pick 4",
         NC_TIR_PROVEN},
        {"xb_dot_step", "dup 0 addi 1 place 5 xb_dot_step pop 1 pick 4", NC_TIR_PROVEN},
        {"b_horner_step pop 5 addi 1", "pop 5", NC_TIR_DIFFERENT_STACK},
        {"", "nop", NC_TIR_PROVEN},
        /* results of one operation are not each other */
        {"split", "split swap 1", NC_TIR_DIFFERENT_STACK},
        {"div_mod", "div_mod swap 1", NC_TIR_DIFFERENT_STACK},
        {"sponge_squeeze", "sponge_squeeze swap 1", NC_TIR_DIFFERENT_STACK},
        {"sponge_squeeze", "sponge_squeeze swap 9", NC_TIR_DIFFERENT_STACK},
        {"sponge_squeeze pop 5 pop 5 sponge_squeeze", "sponge_squeeze sponge_squeeze pop 5 pop 5",
         NC_TIR_DIFFERENT_STACK},
        {"sponge_absorb", "swap 9 sponge_absorb", NC_TIR_DIFFERENT_EFFECTS},
        {"sponge_absorb", "swap 5 sponge_absorb", NC_TIR_DIFFERENT_EFFECTS},
        {"hash", "hash swap 4", NC_TIR_DIFFERENT_STACK},
        {"xx_mul", "xx_mul swap 2", NC_TIR_DIFFERENT_STACK},
        {"xx_mul", "swap 5 xx_mul", NC_TIR_DIFFERENT_STACK},
        {"xx_mul", "pick 5 pick 5 pick 5 swap 1 xx_mul", NC_TIR_DIFFERENT_STACK},
        {"dup 2 dup 2 dup 2 xx_mul", "dup 2 dup 2 dup 2 pick 5 pick 5 pick 5 xx_mul",
         NC_TIR_PROVEN},
        {"xx_add", "swap 3 xx_add", NC_TIR_PROVEN},
        {"xx_add", "swap 2 xx_add", NC_TIR_DIFFERENT_STACK},
        {"xb_mul", "swap 1 xb_mul", NC_TIR_DIFFERENT_STACK},
        {"xx_mul", "pick 3 addi 1 place 3 xx_mul", NC_TIR_DIFFERENT_STACK},
        {"xx_mul", "addi 1 xx_mul", NC_TIR_DIFFERENT_STACK},
        {"push 0 place 3 push 0 place 3 push 9 place 3 xx_mul", "push 9 xb_mul", NC_TIR_PROVEN},
        {"push 0 place 2 push 9 xb_mul", "push 9 mul swap 1 push 9 mul swap 1 push 0 place 2",
         NC_TIR_PROVEN},
        {"write_io 2", "swap 1 write_io 2", NC_TIR_DIFFERENT_EFFECTS},
        {"write_mem 2", "swap 1 write_mem 2", NC_TIR_DIFFERENT_STACK},
    };
    size_t i;
    (void)state;
    for (i = 0; i < sizeof cases / sizeof *cases; i++) {
        const nc_tir_verdict got = nc_tir_verify(cases[i].a, cases[i].b);
        if (got != cases[i].verdict)
            fail_msg("'%s' / '%s': %s", cases[i].a, cases[i].b, nc_tir_verdict_str(got));
    }
}

static void instructions_crash_under_so_many_conditions(void **state) {
    static const struct {
        const char *code;
        uint32_t conditions;
        int32_t height;
    } cases[] = {
        {"assert", 1, -1},
        {"assert_vector", 5, -5},
        {"push 1 assert", 0, 0},
        {"push 2 assert", 1, 0},
        {"eq", 0, -1},
        {"add", 0, -1},
        {"split", 0, 1},
        {"invert", 1, 0},
        {"push 5 invert", 0, 1},
        {"push 0 invert", 1, 1},
        {"lt", 2, -1},
        {"and", 2, -1},
        {"xor", 2, -1},
        {"dup 0 and", 1, 0},
        {"push 7 and", 1, 0},
        {"push 7 lt", 1, 0},
        {"split lt", 0, 0},
        {"split and", 0, 0},
        {"pow", 1, -1},
        {"push 3 swap 1 pow", 0, 0},
        {"push 4294967296 swap 1 pow", 1, 0},
        {"log_2_floor", 2, 0},
        {"pop_count", 1, 0},
        {"split log_2_floor", 1, 1},
        {"div_mod", 3, 0},
        {"push 3 swap 1 div_mod", 1, 1},
        {"push 0 swap 1 div_mod", 2, 1},
        {"push 4294967296 swap 1 div_mod", 2, 1},
        {"split push 3 swap 1 div_mod", 0, 2},
        {"split div_mod", 1, 1},
        {"push 17 push 5 swap 1 div_mod", 0, 2},
        {"hash", 0, -5},
        {"sponge_init", 0, 0},
        {"sponge_squeeze", 1, 10},
        {"sponge_absorb", 1, -10},
        {"sponge_absorb_mem", 1, 0},
        {"sponge_init sponge_squeeze sponge_absorb sponge_absorb_mem", 0, 0},
        {"sponge_squeeze sponge_absorb", 1, 0},
        {"x_invert", 1, 0},
        {"xx_add", 0, -3},
        {"xx_mul", 0, -3},
        {"xb_mul", 0, -1},
        {"xx_dot_step", 0, 0},
        {"read_io 3", 0, 3},
        {"divine 3", 0, 3},
        {"write_io 3", 0, -3},
        {"read_mem 3", 0, 3},
        {"write_mem 3", 0, -3},
    };
    size_t i;
    (void)state;
    for (i = 0; i < sizeof cases / sizeof *cases; i++) {
        assert_int_equal(interpret(cases[i].code), NC_TIR_PROVEN);
        if (prover.before.check_count != cases[i].conditions ||
            (int32_t)prover.before.n - NC_TIR__INPUTS != cases[i].height)
            fail_msg("'%s': %u conditions, %d", cases[i].code, (unsigned)prover.before.check_count,
                     (int)prover.before.n - NC_TIR__INPUTS);
    }
}

static void proofs_give_back_what_they_took(void **state) {
    (void)state;
    held = 0;
    assert_int_equal(nc_tir_verify("swap 1 add", "add"), NC_TIR_PROVEN);
    assert_int_equal(held, 0);
    (void)nc_tir_verify("call f return f: return", "no_such_word");
    assert_int_equal(held, 0);
    (void)nc_tir_verify("no_such_word", "call f return f: return");
    assert_int_equal(held, 0);
}

static void verdicts_have_their_names(void **state) {
    (void)state;
    assert_string_equal(nc_tir_verdict_str(NC_TIR_PROVEN), "proven equivalent");
    assert_string_equal(nc_tir_verdict_str(NC_TIR_TOO_LARGE), "too large for the prover");
    assert_string_equal(nc_tir_verdict_str((nc_tir_verdict)(NC_TIR_TOO_LARGE + 1)),
                        "unknown verdict");
    assert_string_equal(nc_tir_verdict_str((nc_tir_verdict)-1), "unknown verdict");
    assert_int_equal(nc_tir_verify("call f return f: return", ""), NC_TIR_NOT_STRAIGHT);
    assert_int_equal(nc_tir_verify("", "call f return f: return"), NC_TIR_NOT_STRAIGHT);
    assert_int_equal(nc_tir_verify("no_such_word", ""), NC_TIR_NOT_STRAIGHT);
    assert_int_equal(nc_tir_verify("", "no_such_word"), NC_TIR_NOT_STRAIGHT);
    assert_int_equal(nc_tir_verify("", "halt"), NC_TIR_NOT_STRAIGHT);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(terms_are_the_same_by_kind_and_payload),
        cmocka_unit_test(the_table_of_terms_says_when_it_is_full),
        cmocka_unit_test(monomials_stand_in_order_and_cancel),
        cmocka_unit_test(constants_are_polynomials_of_degree_0),
        cmocka_unit_test(sums_and_products_that_grow_too_large_are_opaque),
        cmocka_unit_test(products_follow_the_laws_of_a_ring),
        cmocka_unit_test(equality_asks_one_question_whatever_the_factor),
        cmocka_unit_test(memory_holds_the_last_store_of_each_address),
        cmocka_unit_test(quotients_and_remainders_by_constants),
        cmocka_unit_test(conditions_are_recorded_once_and_only_where_they_may_fail),
        cmocka_unit_test(a_run_records_operations_with_operands_and_results),
        cmocka_unit_test(operations_are_named_by_their_operands),
        cmocka_unit_test(stacks_have_a_depth_that_proofs_keep_to),
        cmocka_unit_test(constants_are_folded_as_the_machine_computes),
        cmocka_unit_test(instructions_crash_under_so_many_conditions),
        cmocka_unit_test(proofs_give_back_what_they_took),
        cmocka_unit_test(verdicts_have_their_names),
    };
    return cmocka_run_group_tests_name("tir terms", tests, NULL, NULL);
}
