/* nc_axx.h, section search: tree, genetic, greedy and exhaustive search on a problem whose answer is
   known; fronts, files, resumption. */
#include "test.h"
#include <math.h>
#include "../nc_axx.h"

enum { LAYERS = 6, CANDIDATES = 4 };
static const double share[LAYERS] = {0.30, 0.05, 0.25, 0.10, 0.20, 0.10};
static const float power[CANDIDATES] = {1.0f, 0.7f, 0.5f, 0.2f};
static const double harm[CANDIDATES] = {0, 0.004, 0.011, 0.06}; /* of a candidate */
static const double weight[LAYERS] = {0.2, 3.0, 0.5, 2.0, 0.1, 1.0};
static int calls;

static int evaluate(void *user, const uint8_t *assignment, double *accuracy) {
    int i;
    *accuracy = 0.97;
    for (i = 0; i < LAYERS; i++) *accuracy -= weight[i] * harm[assignment[i]];
    if (*accuracy < 0) *accuracy = 0;
    *accuracy = floor(*accuracy * 400) / 400; /* as of 400 images: some are equal */
    calls++;
    return user && calls == *(int *)user;
}

static nc_axx_search_config problem(void) {
    nc_axx_search_config c;
    memset(&c, 0, sizeof c);
    c.layers = LAYERS;
    c.candidates = CANDIDATES;
    c.share = share;
    c.power = power;
    c.least_accuracy = 0.94;
    c.evaluate = evaluate;
    c.seed = 7;
    calls = 0;
    return c;
}

static nc_axx_search *search_of(const nc_axx_search_config *c) {
    nc_axx_search *s;
    assert_int_equal(nc_axx_search_create(&s, c), NC_OK);
    return s;
}

static nc_axx_solution best_of(const nc_axx_search *s) {
    nc_axx_solution best;
    assert_int_equal(nc_axx_search_best(s, &best), NC_OK);
    return best;
}

static void every_search_comes_close_to_the_optimum(void **state) {
    nc_axx_search_config c = problem();
    nc_axx_search *s = search_of(&c);
    double optimum, found;
    int way;
    (void)state;
    assert_int_equal(nc_axx_search_exhaustive(s), NC_OK);
    assert_int_equal(nc_axx_search_count(s), 4096);
    assert_int_equal(calls, 4096);
    optimum = best_of(s).power;
    assert_true(best_of(s).accuracy >= 0.94 && optimum < 0.45);
    nc_axx_search_destroy(s);
    for (way = 0; way < 4; way++) {
        c = problem();
        c.by_power = way == 1;
        s = search_of(&c);
        if (way < 2)
            assert_int_equal(nc_axx_search_mcts(s, 600), NC_OK);
        else if (way == 2)
            assert_int_equal(nc_axx_search_genetic(s, 600), NC_OK);
        else
            assert_int_equal(nc_axx_search_greedy(s), NC_OK);
        found = best_of(s).power;
        if (found > (way == 1 ? 1.2 : 1.15) * optimum) /* one in seven was tried */
            fail_msg("way %d: %.4f, optimum %.4f", way, found, optimum);
        assert_int_equal(nc_axx_search_count(s), calls); /* nothing is evaluated twice */
        assert_true(calls <= 600);
        nc_axx_search_destroy(s);
    }
}

static void fronts_hold_what_nothing_beats(void **state) {
    nc_axx_search_config c = problem();
    nc_axx_search *s = search_of(&c);
    nc_axx_solution front[64], one;
    size_t n, i, k;
    (void)state;
    assert_int_equal(nc_axx_search_mcts(s, 300), NC_OK);
    assert_int_equal(nc_axx_search_front(s, front, 64, &n), NC_OK);
    assert_true(n > 3 && n < 64);
    for (i = 1; i < n; i++)
        assert_true(front[i].power > front[i - 1].power &&
                    front[i].accuracy > front[i - 1].accuracy);
    for (k = 0; k < nc_axx_search_count(s); k++) {
        int beaten = 0;
        assert_int_equal(nc_axx_search_get(s, k, &one), NC_OK);
        for (i = 0; i < n; i++)
            beaten |= front[i].power <= one.power && front[i].accuracy >= one.accuracy;
        assert_true(beaten);
    }
    assert_int_equal(nc_axx_search_front(s, NULL, 0, &k), NC_OK);
    assert_int_equal(k, n);
    assert_int_equal(nc_axx_search_get(s, nc_axx_search_count(s), &one), NC_ERR_ARG);
    nc_axx_search_destroy(s);
    c.least_accuracy = 0.99;
    s = search_of(&c);
    assert_int_equal(nc_axx_search_best(s, &one), NC_ERR_MATH);
    assert_int_equal(nc_axx_search_genetic(s, 50), NC_OK);
    assert_int_equal(nc_axx_search_best(s, &one), NC_ERR_MATH);
    nc_axx_search_destroy(s);
}

static void searches_are_reproducible_and_resumable(void **state) {
    int way;
    (void)state;
    for (way = 0; way < 2; way++) {
        nc_axx_search_config c = problem();
        nc_axx_search *whole = search_of(&c), *part = search_of(&c), *rest = search_of(&c);
        char *a, *b, *saved;
        size_t na, nb, bytes;
        int known;
        nc_error err;
        nc_status (*run)(nc_axx_search *, uint32_t) =
            way ? nc_axx_search_genetic : nc_axx_search_mcts;
        assert_int_equal(run(whole, 200), NC_OK);
        assert_int_equal(run(part, 80), NC_OK);
        assert_int_equal(nc_axx_search_csv(part, 0, &saved, &bytes), NC_OK);
        (void)comma_locale(); /* which must not matter */
        if (nc_axx_search_load(rest, saved, bytes, &err) != NC_OK) fail_msg("%s", err.message);
        known = (int)nc_axx_search_count(rest);
        assert_int_equal(known, nc_axx_search_count(part));
        calls = 0;
        assert_int_equal(run(rest, 200), NC_OK);
        assert_int_equal(calls, nc_axx_search_count(whole) - (size_t)known);
        assert_int_equal(nc_axx_search_csv(whole, 0, &a, &na), NC_OK);
        assert_int_equal(nc_axx_search_csv(rest, 0, &b, &nb), NC_OK);
        setlocale(LC_NUMERIC, "C");
        assert_string_equal(a, b);
        nc_axx_free_text(saved);
        assert_int_equal(nc_axx_search_csv(whole, 1, &saved, &bytes), NC_OK);
        assert_true(bytes < na);
        nc_axx_free_text(saved);
        nc_axx_free_text(a);
        nc_axx_free_text(b);
        nc_axx_search_destroy(whole);
        nc_axx_search_destroy(part);
        nc_axx_search_destroy(rest);
    }
}

static int stop_at_twenty(void *user, uint64_t done, uint64_t total) {
    (void)user;
    assert_true(done <= total);
    return done == 20;
}

static void searches_can_be_stopped(void **state) {
    nc_axx_search_config c = problem();
    nc_axx_search *s;
    int last = 10;
    (void)state;
    c.user = &last;
    s = search_of(&c);
    assert_int_equal(nc_axx_search_mcts(s, 100), NC_ERR_CANCELLED);
    assert_int_equal(nc_axx_search_count(s), 9);
    nc_axx_search_destroy(s);
    c = problem();
    c.progress = stop_at_twenty;
    s = search_of(&c);
    assert_int_equal(nc_axx_search_genetic(s, 100), NC_ERR_CANCELLED);
    nc_axx_search_destroy(s);
}

static void bad_files_and_problems_are_refused(void **state) {
    static const struct {
        int line, column;
        const char *text;
    } bad[] = {{2, 1, "x\nabc"},
               {2, 2, "x\n2,1,0,0,0,0,0,0"},
               {2, 5, "x\n0.5 0.5,0,0,0,0,0,0"},
               {3, 10, "x\n0.5,0.5,0,0,0,0,0,0\n0.5,0.5,4,0,0,0,0,0"},
               {2, 18, "x\n0.5,0.5,0,0,0,0,0"},
               {2, 20, "x\n0.5,0.5,0,0,0,0,0,0,0"}};
    nc_axx_search_config c = problem();
    nc_axx_search *s = search_of(&c), *none;
    size_t i;
    nc_error err;
    (void)state;
    for (i = 0; i < sizeof bad / sizeof *bad; i++) {
        if (nc_axx_search_load(s, bad[i].text, strlen(bad[i].text), &err) != NC_ERR_FORMAT ||
            err.line != bad[i].line || err.column != bad[i].column)
            fail_msg("'%s': %d:%d %s", bad[i].text, (int)err.line, (int)err.column, err.message);
    }
    nc_axx_search_destroy(s);
    c.layers = 0;
    assert_int_equal(nc_axx_search_create(&none, &c), NC_ERR_ARG);
    c = problem();
    c.candidates = 65;
    assert_int_equal(nc_axx_search_create(&none, &c), NC_ERR_ARG);
    c = problem();
    c.layers = 9;
    {
        const double nine[9] = {0.1, 0.1, 0.1, 0.1, 0.1, 0.1, 0.1, 0.1, 0.2};
        c.share = nine;
        s = search_of(&c);
        assert_int_equal(nc_axx_search_exhaustive(s), NC_ERR_LIMIT);
        nc_axx_search_destroy(s);
    }
    nc_axx_search_destroy(NULL);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_search_comes_close_to_the_optimum),
        cmocka_unit_test(fronts_hold_what_nothing_beats),
        cmocka_unit_test(searches_are_reproducible_and_resumable),
        cmocka_unit_test(searches_can_be_stopped),
        cmocka_unit_test(bad_files_and_problems_are_refused),
    };
    return cmocka_run_group_tests_name("axx search", tests, NULL, NULL);
}
