/* nc_axx.h, section search: tree, genetic, greedy and exhaustive search on a problem whose
   answer is known; fronts, files, resumption. */
#include "test.h"
#include <math.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>
#include "../nc_axx.h"
#include "axx_toys.h"

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
    int way, policy;
    (void)state;
    assert_int_equal(nc_axx_search_exhaustive(s), NC_OK);
    assert_int_equal(nc_axx_search_count(s), 4096);
    assert_int_equal(calls, 4096);
    optimum = best_of(s).power;
    assert_true(best_of(s).accuracy >= 0.94 && optimum < 0.45);
    nc_axx_search_destroy(s);
    for (policy = 0; policy < 3; policy++)
        for (way = 0; way < 3; way++) {
            c = problem();
            c.policy = (nc_axx_policy)policy;
            s = search_of(&c);
            if (way < 2)
                assert_int_equal((way ? nc_axx_search_genetic : nc_axx_search_mcts)(s, 600), NC_OK);
            else
                assert_int_equal(nc_axx_search_greedy(s), NC_OK);
            found = best_of(s).power;
            if (found > (policy || way == 2 ? 1.2 : 1.0) * optimum) /* one in seven was tried */
                fail_msg("policy %d, way %d: %.4f, optimum %.4f", policy, way, found, optimum);
            assert_int_equal(nc_axx_search_count(s), calls); /* nothing is evaluated twice */
            assert_true(calls <= 600);
            nc_axx_search_destroy(s);
        }
}

static int rising(const void *a, const void *b) {
    const double x = *(const double *)a, y = *(const double *)b;
    return x < y ? -1 : x > y;
}

/* Power found over the least power there is, after 1,000 evaluations of problems with up to 24
   layers (tests/axx_toys.h), at worst of 20 seeds; 50 layers come within ten. */
static void searches_come_within_five_percent(void **state) {
    enum { SEEDS = 20 };
    static toy t;
    size_t k, seed;
    int way;
    (void)state;
    for (k = 0; k < TOY_KINDS; k++)
        for (way = 0; way < 2; way++) {
            const size_t seeds = k == 4 ? 3 : SEEDS;
            double ratios[SEEDS];
            for (seed = 0; seed < seeds; seed++) {
                nc_axx_search_config c = toy_make(&t, &toy_kinds[k], seed + 1);
                nc_axx_search *s = search_of(&c);
                assert_int_equal((way ? nc_axx_search_genetic : nc_axx_search_mcts)(s, 1000),
                                 NC_OK);
                assert_int_equal(nc_axx_search_count(s), t.calls);
                ratios[seed] = best_of(s).power / t.optimum;
                assert_true(ratios[seed] > 1 - 1e-9); /* else it would be none */
                nc_axx_search_destroy(s);
            }
            qsort(ratios, seeds, sizeof *ratios, rising);
            if (ratios[seeds - 1] > (k == 4 ? 1.1 : 1.05))
                fail_msg("%s, way %d: median %.4f, worst %.4f", toy_kinds[k].name, way,
                         ratios[seeds / 2], ratios[seeds - 1]);
        }
}

/* The dynamic programming of the toys against all assignments. */
static void toys_have_the_optimum_they_claim(void **state) {
    static const toy_kind small[] = {{"plain", 5, 4, 0, 0, 400}, {"coupled", 5, 5, 0.5, 1, 1000}};
    static toy t;
    size_t k, seed;
    (void)state;
    for (k = 0; k < 2; k++)
        for (seed = 1; seed < 6; seed++) {
            nc_axx_search_config c = toy_make(&t, &small[k], seed);
            nc_axx_search *s = search_of(&c);
            assert_int_equal(nc_axx_search_exhaustive(s), NC_OK);
            if (!(fabs(best_of(s).power - t.optimum) < 1e-9))
                fail_msg("%s: %.9f, not %.9f", small[k].name, best_of(s).power, t.optimum);
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

/* What a search saves now and then, until it is killed. */
typedef struct saver {
    nc_axx_search *search;
    int steps, kill_at;
} saver;

#define STATE_FILE "build/test_axx_search.state"

static int save_now_and_then(void *user, uint64_t done, uint64_t total) {
    saver *s = (saver *)user;
    (void)done;
    (void)total;
    s->steps++;
    if (s->steps % 7 == 0 && nc_axx_search_save(s->search, STATE_FILE, NULL) != NC_OK) return 1;
    if (s->steps == s->kill_at) raise(SIGKILL);
    return 0;
}

/* Tree search, then genetic, then some more. */
static nc_status all_calls(nc_axx_search *s) {
    nc_status status = nc_axx_search_mcts(s, 150);
    if (status == NC_OK) status = nc_axx_search_genetic(s, 150);
    if (status == NC_OK) status = nc_axx_search_mcts(s, 50);
    return status;
}

static void killed_searches_go_on_to_the_same_result(void **state) {
    static const int kills[] = {9, 120, 310};
    static toy t;
    size_t k, bytes, more;
    (void)state;
    for (k = 0; k < sizeof kills / sizeof *kills; k++) {
        nc_axx_search_config c = toy_make(&t, &toy_kinds[2], 77);
        nc_axx_search *whole = search_of(&c), *s;
        saver saves = {NULL, 0, kills[k]};
        char *expected, *text;
        size_t known;
        nc_error err;
        pid_t child;
        int how;
        assert_int_equal(all_calls(whole), NC_OK);
        assert_int_equal(nc_axx_search_csv(whole, 0, &expected, &bytes), NC_OK);
        fflush(NULL);
        child = fork();
        if (child == 0) {
            c.progress = save_now_and_then;
            c.progress_user = &saves;
            if (nc_axx_search_create(&saves.search, &c) == NC_OK) (void)all_calls(saves.search);
            _exit(1); /* not reached */
        }
        assert_true(child > 0 && waitpid(child, &how, 0) == child);
        assert_true(WIFSIGNALED(how) && WTERMSIG(how) == SIGKILL);
        s = search_of(&c);
        if (nc_axx_search_resume(s, STATE_FILE, &err) != NC_OK) fail_msg("%s", err.message);
        known = nc_axx_search_count(s);
        assert_true(known >= (size_t)kills[k] / 2 && known <= (size_t)kills[k]);
        t.calls = 0;
        assert_int_equal(all_calls(s), NC_OK);
        assert_int_equal(t.calls, nc_axx_search_count(whole) - known); /* nothing again */
        assert_int_equal(nc_axx_search_csv(s, 0, &text, &more), NC_OK);
        assert_true(more == bytes && !memcmp(text, expected, bytes));
        nc_axx_free_text(text);
        nc_axx_free_text(expected);
        nc_axx_search_destroy(s);
        nc_axx_search_destroy(whole);
    }
    remove(STATE_FILE);
}

static void damaged_states_are_refused(void **state) {
    static const char known_as_another[] = "x\n0.5,1,0,0,0,0,0,0";
    static const char two_accuracies[] = "x\n0.5,1,0,0,0,0,0,0\n0.6,1,0,0,0,0,0,0\n";
    static const char twice[] = "x\n0.5,1,0,0,0,0,0,0\n0.5,1,0,0,0,0,0,0\n";
    nc_axx_search_config c = problem();
    nc_axx_search *s = search_of(&c), *other = search_of(&c);
    char *text;
    size_t bytes, i;
    nc_error err;
    (void)state;
    assert_int_equal(nc_axx_search_mcts(s, 20), NC_OK);
    assert_int_equal(nc_axx_search_state(s, &text, &bytes), NC_OK);
    for (i = 0; i < bytes; i++) { /* any digit, comma or end changed */
        const char was = text[i];
        text[i] = was == '1' ? '2' : '1';
        if (nc_axx_search_load(other, text, bytes, &err) == NC_OK)
            fail_msg("byte %zu: '%.60s'", i, text + (i > 30 ? i - 30 : 0));
        assert_true(err.line >= 1 && err.message[0]);
        text[i] = was;
    }
    for (i = 1; i < bytes; i++) /* cut short */
        if (nc_axx_search_load(other, text, i, &err) == NC_OK)
            fail_msg("%zu of %zu bytes", i, bytes);
    assert_int_equal(nc_axx_search_count(other), 0);
    assert_int_equal(nc_axx_search_load(other, text, bytes, &err), NC_OK);
    assert_int_equal(nc_axx_search_load(other, text, bytes, &err), NC_OK); /* known already */
    assert_int_equal(nc_axx_search_count(other), nc_axx_search_count(s));
    nc_axx_search_destroy(other);
    c.least_accuracy = 0.95; /* another problem */
    other = search_of(&c);
    assert_int_equal(nc_axx_search_load(other, text, bytes, &err), NC_ERR_MISMATCH);
    assert_true(strstr(err.message, "settings") != NULL);
    nc_axx_free_text(text);
    assert_int_equal(nc_axx_search_csv(s, 0, &text, &bytes), NC_OK);
    assert_int_equal(nc_axx_search_load(other, text, bytes, &err), NC_OK); /* its accuracies hold */
    nc_axx_free_text(text);
    assert_int_equal(nc_axx_search_load(other, known_as_another, strlen(known_as_another), &err),
                     NC_ERR_MISMATCH);
    assert_int_equal(err.line, 2);
    nc_axx_search_destroy(other);
    other = search_of(&c);
    assert_int_equal(nc_axx_search_load(other, two_accuracies, strlen(two_accuracies), &err),
                     NC_ERR_MISMATCH);
    assert_int_equal(err.line, 3);
    assert_int_equal(nc_axx_search_count(other), 0);
    assert_int_equal(nc_axx_search_load(other, twice, strlen(twice), &err), NC_OK);
    assert_int_equal(nc_axx_search_count(other), 1);
    assert_int_equal(nc_axx_search_resume(other, "build/none", &err), NC_ERR_IO);
    assert_int_equal(nc_axx_search_save(NULL, STATE_FILE, &err), NC_ERR_ARG);
    nc_axx_search_destroy(other);
    nc_axx_search_destroy(s);
}

static int wrong_accuracy(void *user, const uint8_t *assignment, double *accuracy) {
    (void)assignment;
    *accuracy = *(double *)user;
    return 0;
}

static void accuracies_out_of_range_are_refused(void **state) {
    double bad[] = {-0.1, 1.1, NAN};
    size_t i;
    (void)state;
    for (i = 0; i < 3; i++) {
        nc_axx_search_config c = problem();
        nc_axx_search *s;
        c.evaluate = wrong_accuracy;
        c.user = &bad[i];
        s = search_of(&c);
        assert_int_equal(nc_axx_search_mcts(s, 10), NC_ERR_ARG);
        assert_int_equal(nc_axx_search_greedy(s), NC_ERR_ARG);
        assert_int_equal(nc_axx_search_count(s), 0);
        nc_axx_search_destroy(s);
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
               {3, 10, "x\n0.5,1.0,0,0,0,0,0,0\n0.5,0.5,4,0,0,0,0,0"},
               {2, 18, "x\n0.5,0.5,0,0,0,0,0"},
               {2, 20, "x\n0.5,0.5,0,0,0,0,0,0,0"}};
    static const struct {
        nc_status status;
        int line, column;
        const char *text;
    } other[] = {
        {NC_ERR_MISMATCH, 3, 1, "x\n0.5,1,0,0,0,0,0,0\n0.5,0.5,0,0,0,0,0,0\n"},
        {NC_ERR_FORMAT, 1, 5, "#nc_fp4 search 1: layers 6"},
        {NC_ERR_MISMATCH, 1, 17, "#nc_axx search 2: layers 6"},
        {NC_ERR_MISMATCH, 1, 27, "#nc_axx search 1: layers 7, candidates 4, seed 7"},
        {NC_ERR_MISMATCH, 1, 41, "#nc_axx search 1: layers 6, candidates 5, seed 7"},
        {NC_ERR_MISMATCH, 1, 49, "#nc_axx search 1: layers 6, candidates 4, seed 8"},
        {NC_ERR_MISMATCH, 1, 61, "#nc_axx search 1: layers 6, candidates 4, seed 7, settings 3"}};
    nc_axx_search_config c = problem();
    nc_axx_search *s = search_of(&c), *none;
    size_t i;
    nc_error err;
    (void)state;
    for (i = 0; i < sizeof bad / sizeof *bad; i++) {
        if (nc_axx_search_load(s, bad[i].text, strlen(bad[i].text), &err) != NC_ERR_FORMAT ||
            err.line != bad[i].line || err.column != bad[i].column)
            fail_msg("'%s': %d:%d %s", bad[i].text, (int)err.line, (int)err.column, err.message);
        assert_int_equal(nc_axx_search_count(s), 0); /* all or nothing */
    }
    for (i = 0; i < sizeof other / sizeof *other; i++) {
        if (nc_axx_search_load(s, other[i].text, strlen(other[i].text), &err) != other[i].status ||
            err.line != other[i].line || err.column != other[i].column)
            fail_msg("'%s': %d:%d %s", other[i].text, (int)err.line, (int)err.column, err.message);
        assert_int_equal(nc_axx_search_count(s), 0);
    }
    nc_axx_search_destroy(s);
    c.layers = 0;
    assert_int_equal(nc_axx_search_create(&none, &c), NC_ERR_ARG);
    c = problem();
    c.candidates = 65;
    assert_int_equal(nc_axx_search_create(&none, &c), NC_ERR_ARG);
    {
        double shares[1024] = {0};
        c = problem();
        c.share = shares;
        shares[c.layers - 1] = -0.5;
        assert_int_equal(nc_axx_search_create(&none, &c), NC_ERR_ARG);
        shares[c.layers - 1] = NAN;
        assert_int_equal(nc_axx_search_create(&none, &c), NC_ERR_ARG);
    }
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
        cmocka_unit_test(searches_come_within_five_percent),
        cmocka_unit_test(toys_have_the_optimum_they_claim),
        cmocka_unit_test(fronts_hold_what_nothing_beats),
        cmocka_unit_test(searches_are_reproducible_and_resumable),
        cmocka_unit_test(killed_searches_go_on_to_the_same_result),
        cmocka_unit_test(damaged_states_are_refused),
        cmocka_unit_test(accuracies_out_of_range_are_refused),
        cmocka_unit_test(searches_can_be_stopped),
        cmocka_unit_test(bad_files_and_problems_are_refused),
    };
    return cmocka_run_group_tests_name("axx search", tests, NULL, NULL);
}
