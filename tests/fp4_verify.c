/* nc_fp4.h, section verification: verdicts, budgets, sweeping, the search for differences. */
#include <pthread.h>
#include "test.h"
#include "../nc_fp4.h"

static nc_fp4_circuit *made(nc_fp4_template which, uint32_t bits, int variant) {
    nc_fp4_circuit *c;
    assert_int_equal(nc_fp4_make(&c, which, bits, variant, NULL), NC_OK);
    return c;
}

static nc_fp4_network *compiled(const nc_fp4_circuit *c) {
    nc_fp4_network *n;
    assert_int_equal(nc_fp4_compile(c, &n), NC_OK);
    return n;
}

static nc_status verified(const nc_fp4_network *n, const nc_fp4_circuit *c, uint32_t methods,
                          uint64_t steps, uint8_t *example, nc_fp4_report *r) {
    nc_fp4_verify_options o;
    memset(&o, 0, sizeof o);
    o.methods = methods;
    o.steps = steps;
    o.counter_example = example;
    return nc_fp4_verify_with(n, c, &o, r);
}

static void sweeping_proves_templates_against_another_construction(void **state) {
    static const struct {
        nc_fp4_template which;
        uint32_t bits;
    } proofs[] = {{NC_FP4_ADDER, 16},      {NC_FP4_ADDER, 64}, {NC_FP4_SUBTRACTOR, 32},
                  {NC_FP4_ADD_SUB, 32},    {NC_FP4_ALU, 32},   {NC_FP4_COMPARATOR, 64},
                  {NC_FP4_MULTIPLIER, 16}, {NC_FP4_PARITY, 9}, {NC_FP4_POPCOUNT, 9}};
    nc_fp4_report r;
    size_t i;
    (void)state;
    for (i = 0; i < sizeof proofs / sizeof *proofs; i++) {
        nc_fp4_circuit *c = made(proofs[i].which, proofs[i].bits, 0);
        nc_fp4_circuit *other = made(proofs[i].which, proofs[i].bits, 1);
        nc_fp4_network *n = compiled(c);
        const nc_status status = nc_fp4_verify_by(n, other, NC_FP4_SWEEP, &r);
        if (status != NC_OK || r.verdict != NC_FP4_PROVEN || r.wrong || r.open)
            fail_msg("%s %u: %s, %u outputs open", nc_fp4_template_name(proofs[i].which),
                     proofs[i].bits, nc_status_str(status), r.open);
        assert_int_equal(r.evidence, NC_FP4_SWEEP);
        assert_int_equal(r.tried, 1u << NC_FP4_SWEEP);
        assert_true(r.steps > 0);
        nc_fp4_network_destroy(n);
        nc_fp4_destroy(c);
        nc_fp4_destroy(other);
    }
}

/* A multiplier against its own circuit, by clauses alone: the compiler says which function each unit
 * gives, and its leaves. Without that word, or without the leaves, it is far beyond the budget. */
static void sweeping_proves_unit_by_unit_what_the_compiler_says(void **state) {
    static const uint32_t bits[2] = {16, 40};
    nc_fp4_report r;
    uint32_t i;
    (void)state;
    for (i = 0; i < 2; i++) {
        nc_fp4_circuit *c = made(NC_FP4_MULTIPLIER, bits[i], 0);
        nc_fp4_network *n = compiled(c);
        nc_fp4_unit *unit;
        assert_int_equal(verified(n, c, 1u << NC_FP4_SWEEP, 10000000, NULL, &r), NC_OK);
        assert_int_equal(r.verdict, NC_FP4_PROVEN);
        assert_int_equal(r.open, 0);
        unit = (nc_fp4_unit *)(uintptr_t)nc_fp4_get_unit(n, r.units / 2);
        unit->weight[0] ^= 8;
        assert_int_equal(verified(n, c, 1u << NC_FP4_SWEEP, 40000000, NULL, &r), NC_OK);
        assert_int_equal(r.verdict, NC_FP4_REFUTED);
        nc_fp4_network_destroy(n);
        nc_fp4_destroy(c);
    }
}

/* A random circuit of n functions over `inputs` inputs; function `odd` gets the value of one row of
 * its table turned over. Its last functions are the outputs. */
static nc_fp4_circuit *random_circuit(uint64_t seed, uint32_t inputs, uint32_t n, uint32_t odd) {
    nc_fp4_circuit *c;
    uint32_t w[512], i, k, in[3];
    assert_int_equal(nc_fp4_create(&c, "random", NULL), NC_OK);
    assert_int_equal(nc_fp4_add_input(c, "x", inputs, w), NC_OK);
    for (i = 0; i < n; i++) {
        const uint32_t past = inputs + i;
        uint64_t truth = test_random(&seed) & 255;
        for (k = 0; k < 3; k++) { /* late wires mostly */
            const uint32_t back = (uint32_t)(test_random(&seed) % (k ? 12 : 40));
            in[k] = w[back < past ? past - 1 - back : 0];
        }
        k = (uint32_t)(test_random(&seed) & 7);
        if (i == odd) truth ^= UINT64_C(1) << k;
        assert_int_equal(nc_fp4_add_function(c, 3, in, &truth, &w[past]), NC_OK);
    }
    assert_int_equal(nc_fp4_add_output(c, "y", 8, w + inputs + n - 8), NC_OK);
    return c;
}

/* Outputs of a network and of a circuit (compiled) for one case. */
static int differs(const nc_fp4_network *n, const nc_fp4_circuit *c, const uint8_t *in) {
    nc_fp4_network *other = compiled(c);
    const uint32_t outputs = nc_fp4_network_outputs(n);
    uint8_t a[64], b[64], *wires = malloc(1 << 16);
    nc_fp4_eval_packed(n, in, a, wires);
    nc_fp4_eval_packed(other, in, b, wires);
    free(wires);
    nc_fp4_network_destroy(other);
    return memcmp(a, b, outputs) != 0;
}

static void all_methods_come_to_the_same_verdict(void **state) {
    uint32_t counts[3] = {0, 0, 0};
    uint64_t seed;
    (void)state;
    for (seed = 1; seed <= 60; seed++) {
        nc_fp4_circuit *c = random_circuit(seed, 12, 120, UINT32_MAX);
        nc_fp4_circuit *other = random_circuit(seed, 12, 120, (uint32_t)(seed * 37 % 120));
        nc_fp4_network *n = compiled(c);
        nc_fp4_report truth, r;
        uint8_t example[12];
        uint32_t e;
        assert_int_equal(nc_fp4_verify_by(n, other, NC_FP4_EXHAUSTIVE, &truth), NC_OK);
        assert_int_not_equal(truth.verdict, NC_FP4_UNDECIDED);
        counts[truth.verdict]++;
        for (e = NC_FP4_EXHAUSTIVE; e <= NC_FP4_SWEEP; e++) {
            if (e == NC_FP4_STRUCTURAL) continue; /* not its own circuit */
            memset(example, 2, sizeof example);
            assert_int_equal(verified(n, other, 1u << e, 0, example, &r), NC_OK);
            if (r.verdict != truth.verdict)
                fail_msg("seed %d, evidence %d: verdict %d, not %d", (int)seed, (int)e,
                         (int)r.verdict, (int)truth.verdict);
            assert_int_equal(r.wrong != 0, truth.wrong != 0);
            if (r.verdict == NC_FP4_REFUTED) assert_true(differs(n, other, example));
            assert_int_equal(verified(n, c, 1u << e, 0, NULL, &r), NC_OK);
            assert_int_equal(r.verdict, NC_FP4_PROVEN);
        }
        assert_int_equal(nc_fp4_verify_by(n, c, NC_FP4_STRUCTURAL, &r), NC_OK);
        assert_int_equal(r.verdict, NC_FP4_PROVEN);
        nc_fp4_network_destroy(n);
        nc_fp4_destroy(c);
        nc_fp4_destroy(other);
    }
    printf("%u proven, %u refuted\n", counts[NC_FP4_PROVEN], counts[NC_FP4_REFUTED]);
    assert_true(counts[NC_FP4_PROVEN] >= 5 && counts[NC_FP4_REFUTED] >= 5);
}

/* x == constant over 40 inputs, or never. */
static nc_fp4_circuit *needle(uint64_t constant, int ever) {
    nc_fp4_circuit *c;
    uint32_t x[40], all = NC_FP4_TRUE, i;
    assert_int_equal(nc_fp4_create(&c, "needle", NULL), NC_OK);
    assert_int_equal(nc_fp4_add_input(c, "x", 40, x), NC_OK);
    for (i = 0; i < 40; i++) {
        uint32_t in[2];
        const uint64_t truth = constant >> i & 1 ? 8 : 4;
        in[0] = x[i];
        in[1] = all;
        assert_int_equal(nc_fp4_add_function(c, 2, in, &truth, &all), NC_OK);
    }
    if (!ever) all = NC_FP4_FALSE;
    assert_int_equal(nc_fp4_add_output(c, "y", 1, &all), NC_OK);
    return c;
}

static void one_case_of_a_million_million_is_found(void **state) {
    const uint64_t constant = UINT64_C(0xA53C96F01E);
    nc_fp4_circuit *some = needle(constant, 1), *none = needle(constant, 0);
    nc_fp4_network *n = compiled(some);
    nc_fp4_report r;
    uint8_t example[40];
    uint32_t i, e;
    (void)state;
    for (e = NC_FP4_BDD; e <= NC_FP4_SWEEP; e += NC_FP4_SWEEP - NC_FP4_BDD) {
        assert_int_equal(verified(n, none, 1u << e, 0, example, &r), NC_OK);
        assert_int_equal(r.verdict, NC_FP4_REFUTED);
        assert_int_equal(r.wrong, 1);
        for (i = 0; i < 40; i++) assert_int_equal(example[i], constant >> i & 1);
    }
    nc_fp4_network_destroy(n);
    nc_fp4_destroy(some);
    nc_fp4_destroy(none);
}

static void a_budget_ends_in_no_verdict(void **state) {
    nc_fp4_circuit *c = made(NC_FP4_POPCOUNT, 80, 0), *other = made(NC_FP4_POPCOUNT, 80, 1);
    nc_fp4_network *n = compiled(c);
    nc_fp4_report r, again;
    (void)state;
    assert_int_equal(verified(n, other, 0, 50000000, NULL, &r), NC_ERR_LIMIT);
    assert_int_equal(r.verdict, NC_FP4_UNDECIDED);
    assert_int_equal(r.tried, 1u << NC_FP4_BDD | 1u << NC_FP4_SWEEP);
    assert_int_equal(r.wrong, 0);
    assert_true(r.open > 0 && r.steps >= 50000000 && r.steps < 60000000);
    assert_int_equal(verified(n, other, 0, 50000000, NULL, &again), NC_ERR_LIMIT);
    assert_int_equal(again.steps, r.steps); /* counted, not measured */
    assert_int_equal(again.open, r.open);
    assert_int_equal(nc_fp4_verify(n, c, &r), NC_OK); /* its own circuit takes no time */
    assert_int_equal(r.verdict, NC_FP4_PROVEN);
    assert_int_equal(r.evidence, NC_FP4_STRUCTURAL);
    nc_fp4_network_destroy(n);
    nc_fp4_destroy(c);
    nc_fp4_destroy(other);
}

typedef struct calls {
    int count, most;
    uint64_t last;
} calls;

static int count_calls(void *user, uint64_t done, uint64_t total) {
    calls *k = (calls *)user;
    assert_true(done >= k->last && done <= total);
    k->last = done;
    return ++k->count >= k->most;
}

static void progress_rises_and_cancels(void **state) {
    nc_fp4_circuit *c = made(NC_FP4_POPCOUNT, 80, 0), *other = made(NC_FP4_POPCOUNT, 80, 1);
    nc_fp4_network *n = compiled(c);
    nc_fp4_verify_options o;
    nc_fp4_report r;
    calls k = {0, 5, 0};
    (void)state;
    memset(&o, 0, sizeof o);
    o.progress = count_calls;
    o.progress_user = &k;
    assert_int_equal(nc_fp4_verify_with(n, other, &o, &r), NC_ERR_CANCELLED);
    assert_int_equal(r.verdict, NC_FP4_UNDECIDED);
    assert_int_equal(k.count, 5);
    nc_fp4_network_destroy(n);
    nc_fp4_destroy(c);
    nc_fp4_destroy(other);
}

/* A solver that gives the answer it is told, and keeps what it was asked. */
typedef struct oracle {
    int answer;
    uint64_t solution;
    char text[4000];
    uint8_t one; /* how it says 1 */
} oracle;

static int told(void *user, const char *dimacs, size_t bytes, uint32_t inputs, uint8_t *example) {
    oracle *o = (oracle *)user;
    uint32_t i;
    assert_int_equal(strlen(dimacs), bytes);
    snprintf(o->text, sizeof o->text, "%s", dimacs);
    for (i = 0; i < inputs; i++) example[i] = o->solution >> i & 1 ? o->one : 0;
    return o->answer;
}

static void the_users_solver_is_asked_and_its_solutions_are_tried(void **state) {
    const uint64_t constant = UINT64_C(0xA53C96F01E);
    nc_fp4_circuit *some = needle(constant, 1), *none = needle(constant, 0);
    nc_fp4_network *n = compiled(some);
    nc_fp4_verify_options o;
    nc_fp4_report r;
    oracle x = {10, 0, "", 1};
    uint8_t example[40];
    uint32_t i;
    (void)state;
    memset(&o, 0, sizeof o);
    o.methods = 1u << NC_FP4_SOLVER;
    o.counter_example = example;
    assert_int_equal(nc_fp4_verify_with(n, none, &o, &r), NC_ERR_LIMIT); /* there is none */
    o.sat = told;
    o.sat_user = &x;
    x.solution = constant;
    assert_int_equal(nc_fp4_verify_with(n, none, &o, &r), NC_OK);
    assert_int_equal(r.verdict, NC_FP4_REFUTED);
    assert_int_equal(r.evidence, NC_FP4_SOLVER);
    x.one = 255; /* whatever is not 0 */
    assert_int_equal(nc_fp4_verify_with(n, none, &o, &r), NC_OK);
    assert_int_equal(r.verdict, NC_FP4_REFUTED);
    assert_int_equal(nc_fp4_input_count(none), sizeof example);
    for (i = 0; i < sizeof example; i++) assert_int_equal(example[i], constant >> i & 1);
    x.solution ^= 4;
    assert_int_equal(nc_fp4_verify_with(n, none, &o, &r), NC_ERR_MISMATCH);
    assert_int_equal(r.verdict, NC_FP4_UNDECIDED);
    x.answer = 20;
    assert_int_equal(nc_fp4_verify_with(n, some, &o, &r), NC_OK);
    assert_int_equal(r.verdict, NC_FP4_PROVEN);
    x.answer = 0;
    assert_int_equal(nc_fp4_verify_with(n, some, &o, &r), NC_ERR_LIMIT);
    assert_int_equal(r.verdict, NC_FP4_UNDECIDED);
    nc_fp4_network_destroy(n);
    nc_fp4_destroy(some);
    nc_fp4_destroy(none);
}

/* Has a DIMACS problem a solution with these values of its first variables? Its other variables
 * follow by units. */
static int has_solution(const char *text, const uint8_t *in, uint32_t inputs) {
    static int8_t value[4000];
    const char *body = strchr(strstr(text, "p cnf"), '\n');
    int changed = 1, v;
    uint32_t i;
    memset(value, 0, sizeof value);
    for (i = 0; i < inputs; i++) value[i + 1] = in[i] ? 1 : -1;
    while (changed) {
        const char *p = body;
        char *end;
        int open = 0, last = 0, right = 0;
        changed = 0;
        for (;; p = end) {
            v = (int)strtol(p, &end, 10);
            if (end == p) break;
            if (v) {
                const int now = v > 0 ? value[v] : -value[-v];
                right |= now > 0;
                open += now == 0;
                last = now == 0 ? v : last;
                continue;
            }
            if (!right && !open) return 0;
            if (!right && open == 1) {
                value[last > 0 ? last : -last] = last > 0 ? 1 : -1;
                changed = 1;
            }
            open = right = 0;
        }
    }
    return 1;
}

static void a_miter_is_one_where_its_sides_differ(void **state) {
    uint64_t seed;
    (void)state;
    for (seed = 1; seed <= 8; seed++) {
        nc_fp4_circuit *c = random_circuit(seed, 6, 30, UINT32_MAX), *miter;
        nc_fp4_circuit *other = random_circuit(seed, 6, 30, 25);
        nc_fp4_network *n = compiled(c), *both;
        char *text;
        size_t bytes;
        uint8_t in[6], out, wires[2000];
        uint32_t k, i;
        assert_int_equal(nc_fp4_miter(&miter, n, other), NC_OK);
        assert_int_equal(nc_fp4_input_count(miter), 6);
        assert_int_equal(nc_fp4_output_count(miter), 1);
        both = compiled(miter);
        assert_int_equal(nc_fp4_write_circuit(miter, NC_FP4_DIMACS, &text, &bytes), NC_OK);
        for (k = 0; k < 64; k++) {
            for (i = 0; i < 6; i++) in[i] = k >> i & 1;
            nc_fp4_eval_packed(both, in, &out, wires);
            assert_int_equal(out, differs(n, other, in));
            assert_int_equal(has_solution(text, in, 6), out);
        }
        nc_fp4_free_text(text);
        nc_fp4_network_destroy(both);
        nc_fp4_network_destroy(n);
        nc_fp4_destroy(miter);
        nc_fp4_destroy(c);
        nc_fp4_destroy(other);
    }
}

/* AND of n inputs, from the first on or from the last on; null: an error. */
static nc_fp4_circuit *wide_and(uint32_t n, int from_the_last) {
    nc_fp4_circuit *c = NULL;
    uint32_t *x = malloc(n * sizeof *x), all = NC_FP4_TRUE, i;
    int ok = nc_fp4_create(&c, "wide", NULL) == NC_OK && nc_fp4_add_input(c, "x", n, x) == NC_OK;
    for (i = 0; i < n && ok; i++) {
        uint32_t in[2];
        in[0] = all;
        in[1] = x[from_the_last ? n - 1 - i : i];
        ok = nc_fp4_add_atom(c, NC_FP4_AND, in, &all) == NC_OK;
    }
    ok = ok && nc_fp4_add_output(c, "y", 1, &all) == NC_OK;
    free(x);
    return ok ? c : NULL;
}

/* The last unit of a wide AND gives 0 always, which no pattern tells from what the compiler says. */
static void what_the_compiler_says_is_not_believed(void **state) {
    nc_fp4_circuit *c = wide_and(300, 0);
    nc_fp4_network *n = compiled(c);
    nc_fp4_unit *unit = (nc_fp4_unit *)(uintptr_t)nc_fp4_get_unit(n, nc_fp4_unit_count(n) - 1);
    uint8_t example[300];
    nc_fp4_report r;
    uint32_t i, wrong = 0;
    (void)state;
    assert_int_equal(nc_fp4_verify_by(n, c, NC_FP4_SWEEP, &r), NC_OK);
    assert_int_equal(r.verdict, NC_FP4_PROVEN);
    unit->weight[0] ^= 8;
    assert_int_equal(verified(n, c, 1u << NC_FP4_SWEEP, 0, example, &r), NC_OK);
    assert_int_equal(r.verdict, NC_FP4_REFUTED);
    for (i = 0; i < 300; i++) wrong += !example[i];
    assert_int_equal(wrong, 0); /* all ones is the one case */
    nc_fp4_network_destroy(n);
    nc_fp4_destroy(c);
}

/* Written and read again: the line of the check that fails, or 0. */
static int file_roads(const nc_fp4_circuit *c) {
    nc_fp4_circuit *again;
    nc_error err;
    char *text;
    size_t bytes;
    if (nc_fp4_write_circuit(c, NC_FP4_BLIF, &text, &bytes) != NC_OK) return __LINE__;
    if (nc_fp4_read_blif(&again, text, bytes, &err) != NC_OK) return __LINE__;
    nc_fp4_destroy(again);
    nc_fp4_free_text(text);
    if (nc_fp4_write_circuit(c, NC_FP4_BRISTOL, &text, &bytes) != NC_OK) return __LINE__;
    if (nc_fp4_read_bristol(&again, text, bytes, &err) != NC_OK) return __LINE__;
    nc_fp4_destroy(again);
    nc_fp4_free_text(text);
    if (nc_fp4_write_circuit(c, NC_FP4_JSON, &text, &bytes) != NC_OK) return __LINE__;
    if (nc_fp4_read_json(&again, text, bytes, &err) != NC_OK) return __LINE__;
    nc_fp4_destroy(again);
    nc_fp4_free_text(text);
    if (nc_fp4_write_circuit(c, NC_FP4_DIMACS, &text, &bytes) != NC_OK) return __LINE__;
    nc_fp4_free_text(text);
    return 0;
}

static int wide_roads(const nc_fp4_circuit *c, const nc_fp4_circuit *other) {
    nc_fp4_network *n;
    nc_fp4_report r;
    uint32_t e;
    if (nc_fp4_compile(c, &n) != NC_OK) return __LINE__;
    if (nc_fp4_verify(n, c, &r) != NC_OK || r.verdict != NC_FP4_PROVEN) return __LINE__;
    if (verified(n, c, 1u << NC_FP4_SWEEP, 100000000, NULL, &r) != NC_OK) return __LINE__;
    if (r.verdict != NC_FP4_PROVEN || r.open) return __LINE__;
    printf("80,000 inputs: proven by sweeping in %.0f million steps\n", 1e-6 * (double)r.steps);
    for (e = NC_FP4_BDD; e <= NC_FP4_SWEEP; e += NC_FP4_SWEEP - NC_FP4_BDD) {
        nc_status status = verified(n, c, 1u << e, 10000000, NULL, &r);
        if (status != NC_OK && status != NC_ERR_LIMIT) return __LINE__;
        if (r.verdict == NC_FP4_REFUTED) return __LINE__;
        /* the chain from the other end: a wide AND is 0 in every pattern, nothing tells its wires
         * apart, and there are no hints */
        status = verified(n, other, 1u << e, 10000000, NULL, &r);
        if (status != NC_OK && status != NC_ERR_LIMIT) return __LINE__;
        if (r.verdict == NC_FP4_REFUTED) return __LINE__;
    }
    nc_fp4_network_destroy(n);
    return 0;
}

/* In a thread: cmocka's checks do not work there. */
static void *on_a_small_stack(void *result) {
    nc_fp4_circuit *c = wide_and(80000, 0), *other = wide_and(80000, 1);
    int *line = (int *)result;
    *line = c && other ? wide_roads(c, other) : __LINE__;
    if (!*line) *line = file_roads(c);
    nc_fp4_destroy(c);
    nc_fp4_destroy(other);
    return result;
}

static void eighty_thousand_inputs_need_no_deep_stack(void **state) {
    pthread_attr_t small;
    pthread_t thread;
    int line = -1;
    (void)state;
    assert_int_equal(pthread_attr_init(&small), 0);
    assert_int_equal(pthread_attr_setstacksize(&small, 128 << 10), 0);
    assert_int_equal(pthread_create(&thread, &small, on_a_small_stack, &line), 0);
    assert_int_equal(pthread_join(thread, NULL), 0);
    pthread_attr_destroy(&small);
    if (line) fail_msg("the check in line %d", line);
}

static void every_allocation_of_a_sweep_may_fail(void **state) {
    failing_memory f = {0, 0, 0};
    nc_allocator hooks = {failing_alloc, failing_free, &f};
    nc_status status = NC_ERR_MEMORY;
    int k;
    (void)state;
    for (k = 0; status != NC_OK; k++) {
        nc_fp4_circuit *c = NULL, *other = NULL, *miter = NULL;
        nc_fp4_network *n = NULL;
        nc_fp4_report r;
        f.until_failure = k;
        status = nc_fp4_make(&c, NC_FP4_ALU, 3, 0, &hooks);
        if (status == NC_OK) status = nc_fp4_make(&other, NC_FP4_ALU, 3, 1, &hooks);
        if (status == NC_OK) status = nc_fp4_compile(c, &n);
        if (status == NC_OK) status = nc_fp4_verify_by(n, other, NC_FP4_SWEEP, &r);
        if (status == NC_OK) status = nc_fp4_miter(&miter, n, other);
        nc_fp4_destroy(miter);
        nc_fp4_network_destroy(n);
        nc_fp4_destroy(c);
        nc_fp4_destroy(other);
        assert_int_equal(f.blocks, 0);
        assert_int_equal(f.bytes, 0);
        if (status != NC_OK && status != NC_ERR_MEMORY)
            fail_msg("allocation %d: %s", k, nc_status_str(status));
    }
    assert_true(k > 60);
}

static void bad_arguments_are_errors(void **state) {
    nc_fp4_circuit *c = made(NC_FP4_ADDER, 4, 0), *other = made(NC_FP4_ADDER, 5, 0), *miter;
    nc_fp4_network *n = compiled(c);
    nc_fp4_report r;
    (void)state;
    assert_int_equal(nc_fp4_verify_with(NULL, c, NULL, &r), NC_ERR_ARG);
    assert_int_equal(nc_fp4_verify_with(n, NULL, NULL, &r), NC_ERR_ARG);
    assert_int_equal(nc_fp4_verify_with(n, c, NULL, NULL), NC_ERR_ARG);
    assert_int_equal(nc_fp4_verify_with(n, other, NULL, &r), NC_ERR_MISMATCH);
    assert_int_equal(r.verdict, NC_FP4_UNDECIDED);
    assert_int_equal(nc_fp4_verify_by(n, c, NC_FP4_SOLVER, &r), NC_ERR_ARG);
    assert_int_equal(nc_fp4_miter(NULL, n, c), NC_ERR_ARG);
    assert_int_equal(nc_fp4_miter(&miter, n, other), NC_ERR_MISMATCH);
    assert_null(miter);
    nc_fp4_network_destroy(n);
    nc_fp4_destroy(c);
    nc_fp4_destroy(other);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(sweeping_proves_templates_against_another_construction),
        cmocka_unit_test(sweeping_proves_unit_by_unit_what_the_compiler_says),
        cmocka_unit_test(all_methods_come_to_the_same_verdict),
        cmocka_unit_test(one_case_of_a_million_million_is_found),
        cmocka_unit_test(a_budget_ends_in_no_verdict),
        cmocka_unit_test(progress_rises_and_cancels),
        cmocka_unit_test(the_users_solver_is_asked_and_its_solutions_are_tried),
        cmocka_unit_test(a_miter_is_one_where_its_sides_differ),
        cmocka_unit_test(what_the_compiler_says_is_not_believed),
        cmocka_unit_test(eighty_thousand_inputs_need_no_deep_stack),
        cmocka_unit_test(every_allocation_of_a_sweep_may_fail),
        cmocka_unit_test(bad_arguments_are_errors),
    };
    return cmocka_run_group_tests_name("fp4 verify", tests, NULL, NULL);
}
