/* nc_goldilocks.h: functions that allocate say so when they get no memory, and lose none. */
#include "../nc_goldilocks.h"
#include "failing_malloc.h"

enum { POINTS = 600 };
static nc_gl xs[POINTS], ys[POINTS], out[2 * POINTS];

static nc_status made(nc_status status, size_t n) {
    size_t i;
    for (i = 0; status == NC_OK && i < n; i++) seen(out[i]);
    return status;
}
static nc_status ntt_create(void) {
    nc_gl_ntt *plan;
    const nc_status status = nc_gl_ntt_create(&plan, 8, NULL);
    if (status != NC_OK) assert_null(plan);
    nc_gl_ntt_destroy(plan);
    return status;
}
static nc_status poly_mul(void) {
    return made(nc_gl_poly_mul(out, xs, POINTS, ys, POINTS, NULL), 2 * POINTS - 1);
}
static nc_status poly_zerofier(void) {
    return made(nc_gl_poly_zerofier(out, xs, POINTS, NULL), POINTS + 1);
}
static nc_status poly_interpolate(void) {
    return made(nc_gl_poly_interpolate(out, xs, ys, POINTS, NULL), POINTS);
}

static void plans_and_polynomials_may_get_no_memory(void **state) {
    static const sweep_case cases[] = {
        {"ntt_create", ntt_create},
        {"poly_mul", poly_mul},
        {"poly_zerofier", poly_zerofier},
        {"poly_interpolate", poly_interpolate},
    };
    nc_gl i;
    (void)state;
    for (i = 0; i < POINTS; i++) {
        xs[i] = 3 * i + 1;
        ys[i] = nc_gl_mul(i, NC_GL_P - 7);
    }
    sweep_all(cases, sizeof cases / sizeof *cases);
    assert_int_equal(held, 0);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(plans_and_polynomials_may_get_no_memory),
    };
    return cmocka_run_group_tests_name("goldilocks memory", tests, NULL, NULL);
}
