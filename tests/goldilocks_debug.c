/* nc_goldilocks.h, section fixed: what NC_ASSERT reports in a debug build. */
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

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(overflow_is_reported_where_it_happens),
    };
    return cmocka_run_group_tests_name("goldilocks debug", tests, NULL, NULL);
}
