/* nc_goldilocks.h with a look inside: what NC_ASSERT reports in a debug build, and a reduction whose
   borrow no test reaches from outside, but for one product in 2^32. */
static int reported;
#define NC_ASSERT(condition) ((condition) ? (void)0 : (void)reported++)
#define NC_STATIC
#define NC_IMPLEMENTATION
#include "../nc_goldilocks.h"
#include "test.h"

static void overflow_is_reported_where_it_happens(void **state) {
    nc_fixed a[2] = {UINT64_C(1) << 40, 1}, b[2] = {UINT64_C(1) << 40, 1}, c[4];
    (void)state;
    (void)nc_fixed_mul(a[1], b[0]);
    (void)nc_fixed_dot(a + 1, b, 1);
    assert_int_equal(nc_fixed_matmul(c, a, b + 1, 1, 1, 1), NC_OK);
    assert_int_equal(nc_fixed_matmul(c, a + 1, b, 1, 1, 2), NC_OK);
    assert_int_equal(reported, 0);
    (void)nc_fixed_mul(a[0], b[0]);
    assert_int_equal(reported, 1);
    (void)nc_fixed_dot(a, b, 2);
    assert_int_equal(reported, 2);
    assert_int_equal(nc_fixed_matvec(c, a, b, 2, 1), NC_OK); /* the first row only */
    assert_int_equal(reported, 3);
    assert_int_equal(nc_fixed_matmul(c, a, b, 2, 1, 2), NC_OK); /* one entry of four */
    assert_int_equal(reported, 4);
}

static void sums_below_2_128_are_reduced_with_every_borrow_and_carry(void **state) {
    int i, j, k;
    (void)state;
    for (i = 0; i < EDGE_COUNT; i++)
        for (j = 0; j < EDGE_COUNT; j++) {
            const nc_gl__wide w = nc_gl__wide_make(edge_u64[i], edge_u64[j]);
            nc_gl expected = nc_gl_from_u64(w.hi);
            for (k = 0; k < 64; k++) expected = nc_gl_dbl(expected);
            expected = nc_gl_add(expected, nc_gl_from_u64(w.lo));
            assert_int_equal(nc_gl__reduce(w), expected);
            assert_int_equal(nc_gl_from_u64(nc_gl__reduce_lazy(w)), expected);
        }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(overflow_is_reported_where_it_happens),
        cmocka_unit_test(sums_below_2_128_are_reduced_with_every_borrow_and_carry),
    };
    return cmocka_run_group_tests_name("goldilocks debug", tests, NULL, NULL);
}
