/* nc_fp4.h, sections atoms, circuit, network, verify, templates. */
#include "test.h"
#include "../nc_fp4.h"

static void ten_atoms_are_exact_on_every_input(void **state) {
    /* outputs written out by hand, input combination 0 first */
    static const char *const truth[NC_FP4_ATOM_COUNT] = {
        "0001", "0111", "1110", "1000", "10", "0110", "1001", "01101001", "00010111", "00100111"};
    int k, c;
    (void)state;
    for (k = 0; k < NC_FP4_ATOM_COUNT; k++) {
        const nc_fp4_atom *atom = nc_fp4_get_atom((nc_fp4_atom_kind)k);
        nc_fp4_report report;
        for (c = 0; c < 1 << atom->inputs; c++)
            assert_int_equal(atom->truth >> c & 1, truth[k][c] - '0');
        assert_int_equal(nc_fp4_verify_atom(atom, NC_FP4_E2M1, &report), NC_OK);
        assert_int_equal(report.cases, 1u << atom->inputs);
        assert_int_equal(report.wrong, 0);
        assert_true(report.margin >= 0.5);
        assert_true(report.units <= 2);
        assert_int_equal(report.bytes_packed, (report.parameters + 1) / 2); /* whole bytes */
        assert_int_equal(report.bytes_float, 4 * report.parameters);
        atom = nc_fp4_get_nf4_atom((nc_fp4_atom_kind)k);
        assert_int_equal(atom->truth, nc_fp4_get_atom((nc_fp4_atom_kind)k)->truth);
        assert_int_equal(nc_fp4_verify_atom(atom, NC_FP4_NF4, &report), NC_OK);
        if (report.wrong) fail_msg("%s in NF4: %d wrong", atom->name, (int)report.wrong);
        assert_true(report.margin >= 0.1);
    }
    assert_null(nc_fp4_get_atom(NC_FP4_ATOM_COUNT));
    assert_null(nc_fp4_get_nf4_atom(NC_FP4_ATOM_COUNT));
}

static void a_wrong_weight_is_found_and_a_malformed_atom_refused(void **state) {
    nc_fp4_atom atom = *nc_fp4_get_atom(NC_FP4_XOR);
    nc_fp4_report report;
    (void)state;
    atom.unit[1].weight[2] = 0;
    assert_int_equal(nc_fp4_verify_atom(&atom, NC_FP4_E2M1, &report), NC_OK);
    assert_int_equal(report.wrong, 1);
    assert_int_equal(report.first_wrong, 3);
    assert_int_equal(nc_fp4_verify_atom(&atom, NC_FP4_MXFP4, &report), NC_ERR_ARG);
    atom.unit[0].input[0] = 2; /* its own output */
    assert_int_equal(nc_fp4_verify_atom(&atom, NC_FP4_E2M1, &report), NC_ERR_ARG);
}

static void synthesis_finds_exact_units_for_small_functions(void **state) {
    nc_fp4_atom atom;
    nc_fp4_report report;
    uint64_t seed = 5;
    uint32_t t, n, found = 0;
    (void)state;
    for (n = 1; n <= 3; n++)
        for (t = 0; t < 1u << (1 << n); t += n == 3 ? 15 : 1) {
            assert_int_equal(nc_fp4_synthesize(t, n, &atom), NC_OK);
            assert_int_equal(nc_fp4_verify_atom(&atom, NC_FP4_E2M1, &report), NC_OK);
            assert_int_equal(report.wrong, 0);
            assert_true(report.units <= 2 && report.margin >= 0.5);
        }
    assert_int_equal(nc_fp4_synthesize(0x8000, 4, &atom), NC_OK); /* AND of four: one unit */
    assert_int_equal(atom.units, 1);
    for (t = 0; t < 12; t++) {
        uint32_t truth = (uint32_t)test_random(&seed) & 0xFFFF;
        nc_status status = nc_fp4_synthesize(truth, 4, &atom);
        assert_true(status == NC_OK || status == NC_ERR_MISMATCH);
        if (status != NC_OK) continue;
        found++;
        assert_int_equal(nc_fp4_verify_atom(&atom, NC_FP4_E2M1, &report), NC_OK);
        assert_int_equal(report.wrong, 0);
        assert_true(report.units <= 2 && report.margin >= 0.5);
    }
    printf("%u of 12 random functions of four inputs in two units\n", found);
    assert_true(found >= 5);
    assert_int_equal(nc_fp4_synthesize(4, 1, &atom), NC_ERR_ARG);
    assert_int_equal(nc_fp4_synthesize(0, 5, &atom), NC_ERR_ARG);
}

static nc_fp4_network *compiled(const nc_fp4_circuit *c) {
    nc_fp4_network *n;
    assert_int_equal(nc_fp4_compile(c, &n), NC_OK);
    return n;
}

static nc_fp4_circuit *made(nc_fp4_template which, uint32_t bits, int variant) {
    nc_fp4_circuit *c;
    if (nc_fp4_make(&c, which, bits, variant, NULL) != NC_OK)
        fail_msg("%s of %u bits", nc_fp4_template_name(which), bits);
    return c;
}

static uint64_t table_spec(void *truth, uint64_t inputs) {
    return *(const uint64_t *)truth >> inputs & 1;
}

static void every_function_of_three_inputs_takes_two_units_at_most(void **state) {
    uint64_t truth;
    (void)state;
    for (truth = 0; truth < 256; truth++) {
        nc_fp4_circuit *c;
        nc_fp4_network *n;
        nc_fp4_report report;
        uint32_t in[3], out;
        assert_int_equal(nc_fp4_create(&c, NULL, NULL), NC_OK);
        assert_int_equal(nc_fp4_add_input(c, "x", 3, in), NC_OK);
        assert_int_equal(nc_fp4_add_function(c, 3, in, &truth, &out), NC_OK);
        assert_int_equal(nc_fp4_add_output(c, NULL, 1, &out), NC_OK);
        n = compiled(c);
        assert_int_equal(nc_fp4_verify_cases(n, table_spec, &truth, &report), NC_OK);
        assert_int_equal(report.cases, 8);
        assert_int_equal(report.wrong, 0);
        assert_true(report.units <= 2);
        if (report.units) assert_true(report.margin >= 0.5);
        assert_int_equal(nc_fp4_verify_by(n, c, NC_FP4_STRUCTURAL, &report), NC_OK);
        assert_int_equal(report.wrong, 0);
        assert_int_equal(nc_fp4_verify_by(n, c, NC_FP4_BDD, &report), NC_OK);
        assert_int_equal(report.wrong, 0);
        nc_fp4_network_destroy(n);
        nc_fp4_destroy(c);
    }
}

static uint64_t wide_table_spec(void *truth, uint64_t inputs) {
    return ((const uint64_t *)truth)[inputs / 64] >> inputs % 64 & 1;
}

static void functions_of_eight_inputs_are_taken_apart(void **state) {
    uint64_t seed = 8, truth[4];
    uint32_t n, i, round, in[8], out;
    (void)state;
    for (n = 0; n <= 8; n++)
        for (round = 0; round < 4; round++) {
            nc_fp4_circuit *c;
            nc_fp4_network *net;
            nc_fp4_report report;
            for (i = 0; i < 4; i++) truth[i] = test_random(&seed);
            assert_int_equal(nc_fp4_create(&c, "f", NULL), NC_OK);
            assert_int_equal(nc_fp4_add_input(c, "x", 8, in), NC_OK);
            assert_int_equal(nc_fp4_add_function(c, n, in, truth, &out), NC_OK);
            assert_int_equal(nc_fp4_add_output(c, "y", 1, &out), NC_OK);
            net = compiled(c);
            for (i = 1u << n; i < 256; i *= 2) { /* the other inputs do not matter */
                uint32_t k;
                for (k = 0; k < i; k++) {
                    uint64_t bit = truth[k / 64] >> k % 64 & 1;
                    truth[(k + i) / 64] &= ~(UINT64_C(1) << (k + i) % 64);
                    truth[(k + i) / 64] |= bit << (k + i) % 64;
                }
            }
            assert_int_equal(nc_fp4_verify_cases(net, wide_table_spec, truth, &report), NC_OK);
            assert_int_equal(report.wrong, 0);
            nc_fp4_network_destroy(net);
            nc_fp4_destroy(c);
        }
}

/* What the templates are to compute, in C's own arithmetic. */
typedef struct meaning {
    nc_fp4_template which;
    uint32_t bits;
} meaning;

static uint32_t bits_for(uint32_t values) {
    uint32_t n = 0;
    while (1u << n < values) n++;
    return n;
}

static uint64_t template_spec(void *user, uint64_t x) {
    const meaning *m = user;
    const uint32_t n = m->bits;
    const uint64_t mask = (UINT64_C(1) << n) - 1, a = x & mask, b = x >> n & mask;
    const uint64_t more = x >> 2 * n;
    uint64_t r = 0;
    uint32_t i;
    int64_t sa = (int64_t)(a << (64 - n)), sb = (int64_t)(b << (64 - n));
    switch (m->which) {
    case NC_FP4_ADDER: return a + b + (more & 1);
    case NC_FP4_SUBTRACTOR: return ((a - b) & mask) | (uint64_t)(a < b) << n;
    case NC_FP4_ADD_SUB: return more & 1 ? a + (b ^ mask) + 1 : a + b;
    case NC_FP4_COMPARATOR: return (uint64_t)(a == b) | (uint64_t)(a < b) << 1;
    case NC_FP4_MULTIPLIER: return a * b;
    case NC_FP4_PARITY:
        for (i = 0; i < n; i++) r ^= x >> i & 1;
        return r;
    case NC_FP4_POPCOUNT:
        for (i = 0; i < n; i++) r += x >> i & 1;
        return r;
    case NC_FP4_MUX_TREE: return x >> n >> (x & mask) & 1;
    case NC_FP4_DECODER: return UINT64_C(1) << x;
    case NC_FP4_PRIORITY_ENCODER:
        for (i = 0; i < n; i++)
            if (x >> i & 1) r = i | UINT64_C(1) << (n > 1 ? bits_for(n) : 1);
        return r;
    case NC_FP4_ALU:
        switch (more & 7) {
        case 0: return (a + b) & mask;
        case 1: return (a - b) & mask;
        case 2: return a & b;
        case 3: return a | b;
        case 4: return a ^ b;
        case 5: return sa < sb;
        default: return 0;
        }
    case NC_FP4_SHIFTER: {
        uint64_t by = x >> n & ((1u << bits_for(n)) - 1);
        return x >> (n + bits_for(n)) & 1 ? a >> by : (a << by) & mask;
    }
    default: return 0;
    }
}

static void every_template_is_right_on_every_input(void **state) {
    static const uint32_t sizes[NC_FP4_TEMPLATE_COUNT][4] = {
        {1, 2, 8, 10}, {1, 3, 8, 10}, {1, 3, 8, 10}, {1, 3, 8, 11}, {1, 3, 5, 10}, {1, 3, 8, 20},
        {1, 3, 7, 20}, {1, 2, 3, 4},  {1, 2, 4, 6},  {1, 2, 7, 20}, {1, 2, 5, 9},  {2, 4, 8, 16}};
    int k, s, v;
    (void)state;
    for (k = 0; k < NC_FP4_TEMPLATE_COUNT; k++)
        for (s = 0; s < 4; s++)
            for (v = 0; v < 2; v++) {
                meaning m = {(nc_fp4_template)k, sizes[k][s]};
                nc_fp4_circuit *c = made(m.which, m.bits, v);
                nc_fp4_network *n = compiled(c);
                nc_fp4_report r, own;
                assert_int_equal(nc_fp4_verify_cases(n, template_spec, &m, &r), NC_OK);
                if (r.wrong)
                    fail_msg("%s %u: %d wrong, first %d", nc_fp4_template_name(m.which), m.bits,
                             (int)r.wrong, (int)r.first_wrong);
                if (r.units) assert_true(r.margin >= 0.5);
                assert_int_equal(nc_fp4_verify(n, c, &own), NC_OK);
                assert_int_equal(own.wrong, 0);
                assert_int_equal(own.cases, r.cases);
                assert_int_equal(own.evidence, NC_FP4_EXHAUSTIVE);
                assert_int_equal(nc_fp4_verify_by(n, c, NC_FP4_STRUCTURAL, &own), NC_OK);
                assert_int_equal(own.wrong, 0);
                nc_fp4_network_destroy(n);
                nc_fp4_destroy(c);
            }
}

static void an_adder_takes_three_units_for_two_bits(void **state) {
    nc_fp4_circuit *c = made(NC_FP4_ADDER, 8, 0);
    nc_fp4_network *n = compiled(c);
    nc_fp4_report r;
    (void)state;
    assert_int_equal(nc_fp4_verify(n, c, &r), NC_OK);
    assert_int_equal(r.cases, 131072);
    assert_int_equal(r.units, 12); /* of two bits a carry and two sums, which read it */
    assert_int_equal(r.depth, 6);  /* four carries, and the last two sums */
    assert_int_equal(nc_fp4_unit_count(n), 12);
    assert_non_null(nc_fp4_get_unit(n, 11));
    assert_null(nc_fp4_get_unit(n, 12));
    nc_fp4_network_destroy(n);
    nc_fp4_destroy(c);
}

/* Units and steps of a template, proven by structure. */
static void sizes_of(nc_fp4_template which, uint32_t bits, uint32_t *units, uint32_t *steps) {
    nc_fp4_circuit *c = made(which, bits, 0);
    nc_fp4_network *n = compiled(c);
    nc_fp4_report r;
    char *text;
    const char *at;
    size_t bytes;
    assert_int_equal(nc_fp4_verify_by(n, c, NC_FP4_STRUCTURAL, &r), NC_OK);
    assert_int_equal(r.wrong, 0);
    assert_true(r.margin >= 0.5);
    assert_int_equal(nc_fp4_write_network(n, NC_FP4_JSON, &text, &bytes), NC_OK);
    at = strstr(text, "\"steps\": ");
    assert_non_null(at);
    *units = r.units;
    *steps = (uint32_t)strtoul(at + 9, NULL, 10);
    assert_true(*steps <= nc_fp4_function_count(c) + nc_fp4_output_count(c));
    nc_fp4_free_text(text);
    nc_fp4_network_destroy(n);
    nc_fp4_destroy(c);
}

/* What units of up to eight inputs save; a step more than a function would make programs slower. */
static void wide_units_are_few(void **state) {
    static const struct {
        nc_fp4_template which;
        uint32_t bits, units, steps; /* with units of three inputs: 128 192 255 3008 126 508 155 */
    } most[] = {{NC_FP4_ADDER, 64, 96, 128},           {NC_FP4_SUBTRACTOR, 64, 96, 128},
                {NC_FP4_COMPARATOR, 64, 65, 130},      {NC_FP4_MULTIPLIER, 32, 2527, 3008},
                {NC_FP4_POPCOUNT, 64, 72, 126},        {NC_FP4_DECODER, 8, 320, 508},
                {NC_FP4_PRIORITY_ENCODER, 32, 36, 155}};
    uint32_t units, steps;
    size_t i;
    (void)state;
    for (i = 0; i < sizeof most / sizeof *most; i++) {
        sizes_of(most[i].which, most[i].bits, &units, &steps);
        if (units > most[i].units || steps > most[i].steps)
            fail_msg("%s %u: %u units, %u steps", nc_fp4_template_name(most[i].which), most[i].bits,
                     units, steps);
    }
}

/* Chains of two-input functions, as other tools write them: AND of 36 inputs, and exclusive or of
 * 6, as seven and three units. */
static void chains_of_two_inputs_become_wide_units(void **state) {
    static const struct {
        nc_fp4_atom_kind kind;
        uint32_t inputs, units;
    } chain[] = {{NC_FP4_AND, 6, 1}, {NC_FP4_OR, 36, 7}, {NC_FP4_AND, 36, 7}, {NC_FP4_XOR, 6, 3}};
    uint32_t i, k, x[36], in[2];
    (void)state;
    for (k = 0; k < 4; k++) {
        nc_fp4_circuit *c;
        nc_fp4_network *n;
        nc_fp4_report r;
        assert_int_equal(nc_fp4_create(&c, NULL, NULL), NC_OK);
        assert_int_equal(nc_fp4_add_input(c, NULL, chain[k].inputs, x), NC_OK);
        for (in[0] = x[0], i = 1; i < chain[k].inputs; i++) {
            in[1] = x[i];
            assert_int_equal(nc_fp4_add_atom(c, chain[k].kind, in, &in[0]), NC_OK);
        }
        assert_int_equal(nc_fp4_add_output(c, NULL, 1, in), NC_OK);
        n = compiled(c);
        assert_int_equal(nc_fp4_verify(n, c, &r), NC_OK);
        assert_int_equal(r.wrong, 0);
        assert_true(r.units <= chain[k].units);
        nc_fp4_network_destroy(n);
        nc_fp4_destroy(c);
    }
}

/* Many functions of few inputs: much of it is redundant, leaves do not count, cones decide each
 * other's leaves. Network and proof are right nevertheless; a unit that is not is found. */
static void redundant_circuits_are_covered_and_proven(void **state) {
    uint64_t seed = 18;
    uint32_t wires[140], in[2], round, i, found = 0, tried = 0;
    (void)state;
    for (round = 0; round < 200; round++) {
        const uint32_t inputs = 3 + round % 6, atoms = 20 + round % 100;
        nc_fp4_circuit *c;
        nc_fp4_network *n;
        nc_fp4_report r;
        nc_fp4_unit *unit;
        assert_int_equal(nc_fp4_create(&c, NULL, NULL), NC_OK);
        assert_int_equal(nc_fp4_add_input(c, NULL, inputs, wires), NC_OK);
        for (i = inputs; i < inputs + atoms; i++) {
            for (in[0] = wires[test_random(&seed) % i];
                 (in[1] = wires[test_random(&seed) % i]) == in[0] && test_random(&seed) % 8;) {
            }
            assert_int_equal(
                nc_fp4_add_atom(c, (nc_fp4_atom_kind)(test_random(&seed) % 7), in, &wires[i]),
                NC_OK);
        }
        assert_int_equal(nc_fp4_add_output(c, NULL, 5, wires + inputs + atoms - 5), NC_OK);
        n = compiled(c);
        assert_int_equal(nc_fp4_verify_by(n, c, NC_FP4_BDD, &r), NC_OK); /* the units themselves */
        assert_int_equal(r.wrong, 0);
        assert_int_equal(nc_fp4_verify_by(n, c, NC_FP4_EXHAUSTIVE, &r), NC_OK); /* the program */
        assert_int_equal(r.wrong, 0);
        assert_int_equal(nc_fp4_verify_by(n, c, NC_FP4_STRUCTURAL, &r), NC_OK);
        if (r.wrong) fail_msg("round %u: no proof of node %u", round, (unsigned)r.first_wrong);
        assert_int_equal(nc_fp4_verify_by(n, c, NC_FP4_SWEEP, &r), NC_OK);
        assert_int_equal(r.verdict, NC_FP4_PROVEN);
        if (r.units) { /* another threshold: if the diagrams differ, the induction fails */
            unit = (nc_fp4_unit *)(uintptr_t)nc_fp4_get_unit(
                n, (uint32_t)(test_random(&seed) % r.units));
            unit->threshold ^= 1 + (uint8_t)(test_random(&seed) % 15);
            assert_int_equal(nc_fp4_verify_by(n, c, NC_FP4_BDD, &r), NC_OK);
            if (r.wrong) {
                tried++;
                assert_int_equal(nc_fp4_verify_by(n, c, NC_FP4_STRUCTURAL, &r), NC_OK);
                found += r.wrong != 0;
                /* sweeping is told what the unit was to give, and does not believe it */
                assert_int_equal(nc_fp4_verify_by(n, c, NC_FP4_SWEEP, &r), NC_OK);
                assert_int_equal(r.verdict, NC_FP4_REFUTED);
            }
        }
        nc_fp4_network_destroy(n);
        nc_fp4_destroy(c);
    }
    assert_true(tried > 50);
    assert_int_equal(found, tried);
}

/* Trees of full adders that read each other's bits complemented at random. */
static void adders_of_complements_become_counters(void **state) {
    static const nc_fp4_atom_kind bits[2] = {NC_FP4_SUM, NC_FP4_CARRY};
    uint64_t seed = 81;
    uint32_t pool[2][40], count[2], round, i, k, column, in[3], out[40], outs;
    (void)state;
    for (round = 0; round < 60; round++) {
        nc_fp4_circuit *c;
        nc_fp4_network *n;
        nc_fp4_report r;
        assert_int_equal(nc_fp4_create(&c, NULL, NULL), NC_OK);
        assert_int_equal(nc_fp4_add_input(c, "x", 9, pool[0]), NC_OK);
        assert_int_equal(nc_fp4_add_input(c, "y", 2, pool[1]), NC_OK);
        count[0] = 9;
        count[1] = 2;
        for (outs = column = 0; column < 2; column++) {
            while (count[column] > 2) { /* the sum stays, the carry goes to the next column */
                for (i = 0; i < 3; i++) {
                    in[i] = pool[column][--count[column]];
                    if (test_random(&seed) % 2)
                        assert_int_equal(nc_fp4_add_atom(c, NC_FP4_NOT, &in[i], &in[i]), NC_OK);
                }
                for (k = 0; k < 2; k++) {
                    uint32_t *to = k == 0   ? &pool[column][count[column]++]
                                   : column ? &out[outs++]
                                            : &pool[1][count[1]++];
                    assert_int_equal(nc_fp4_add_atom(c, bits[k], in, to), NC_OK);
                }
            }
            while (count[column]) out[outs++] = pool[column][--count[column]];
        }
        assert_int_equal(nc_fp4_add_output(c, NULL, outs, out), NC_OK);
        n = compiled(c);
        assert_int_equal(nc_fp4_verify_by(n, c, NC_FP4_BDD, &r), NC_OK); /* the units */
        assert_int_equal(r.wrong, 0);
        assert_int_equal(nc_fp4_verify_by(n, c, NC_FP4_STRUCTURAL, &r), NC_OK);
        assert_int_equal(r.wrong, 0);
        assert_int_equal(nc_fp4_verify_by(n, c, NC_FP4_SWEEP, &r), NC_OK);
        assert_int_equal(r.verdict, NC_FP4_PROVEN);
        nc_fp4_network_destroy(n);
        nc_fp4_destroy(c);
    }
}

static uint64_t off_by_one_spec(void *user, uint64_t inputs) {
    return template_spec(user, inputs) ^ (uint64_t)(inputs == 77777);
}

static void a_single_wrong_case_is_reported_with_its_inputs(void **state) {
    meaning m = {NC_FP4_ADDER, 8};
    nc_fp4_circuit *c = made(NC_FP4_ADDER, 8, 0);
    nc_fp4_network *n = compiled(c);
    nc_fp4_report r;
    (void)state;
    assert_int_equal(nc_fp4_verify_cases(n, off_by_one_spec, &m, &r), NC_OK);
    assert_int_equal(r.wrong, 1);
    assert_int_equal(r.first_wrong, 77777);
    nc_fp4_network_destroy(n);
    nc_fp4_destroy(c);
}

static void large_templates_are_proven_against_another_construction(void **state) {
    static const meaning proofs[] = {{NC_FP4_ADDER, 32},      {NC_FP4_ADDER, 64},
                                     {NC_FP4_SUBTRACTOR, 64}, {NC_FP4_ADD_SUB, 32},
                                     {NC_FP4_COMPARATOR, 32}, {NC_FP4_COMPARATOR, 64},
                                     {NC_FP4_PARITY, 64},     {NC_FP4_PARITY, 1000},
                                     {NC_FP4_POPCOUNT, 32},   {NC_FP4_ALU, 32}};
    size_t i;
    (void)state;
    for (i = 0; i < sizeof proofs / sizeof *proofs; i++) {
        nc_fp4_circuit *c = made(proofs[i].which, proofs[i].bits, 0);
        nc_fp4_circuit *other = made(proofs[i].which, proofs[i].bits, 1);
        nc_fp4_network *n = compiled(c);
        nc_fp4_report r;
        nc_status status = nc_fp4_verify(n, other, &r);
        if (status != NC_OK || r.wrong || r.evidence != NC_FP4_BDD)
            fail_msg("%s %u: %s, %d outputs differ", nc_fp4_template_name(proofs[i].which),
                     proofs[i].bits, nc_status_str(status), (int)r.wrong);
        nc_fp4_network_destroy(n);
        nc_fp4_destroy(c);
        nc_fp4_destroy(other);
    }
}

/* The same adder with the carry of one bit made from other wires. */
static nc_fp4_circuit *broken_adder(uint32_t bits, uint32_t at) {
    nc_fp4_circuit *c;
    uint32_t x[129], s[65], carry, i;
    assert_int_equal(nc_fp4_create(&c, "broken", NULL), NC_OK);
    assert_int_equal(nc_fp4_add_input(c, "a", 2 * bits + 1, x), NC_OK);
    carry = x[2 * bits];
    for (i = 0; i < bits; i++) {
        uint32_t in[3];
        in[0] = x[i];
        in[1] = x[bits + i];
        in[2] = carry;
        assert_int_equal(nc_fp4_add_atom(c, NC_FP4_SUM, in, &s[i]), NC_OK);
        assert_int_equal(nc_fp4_add_atom(c, i == at ? NC_FP4_MUX : NC_FP4_CARRY, in, &carry),
                         NC_OK);
    }
    s[bits] = carry;
    assert_int_equal(nc_fp4_add_output(c, "s", bits + 1, s), NC_OK);
    return c;
}

static void proofs_fail_where_they_must(void **state) {
    nc_fp4_circuit *right = made(NC_FP4_ADDER, 64, 1), *wrong = broken_adder(64, 40);
    nc_fp4_network *n = compiled(wrong);
    nc_fp4_report r;
    nc_fp4_unit *unit, old;
    (void)state;
    assert_int_equal(nc_fp4_verify(n, right, &r), NC_OK);
    assert_int_equal(r.evidence, NC_FP4_BDD);
    assert_int_equal(r.first_wrong, 41);
    assert_true(r.wrong >= 1);
    assert_int_equal(nc_fp4_verify_by(n, right, NC_FP4_STRUCTURAL, &r), NC_ERR_LIMIT);
    assert_int_equal(nc_fp4_verify_by(n, right, NC_FP4_EXHAUSTIVE, &r), NC_ERR_LIMIT);
    /* a weight that is not the compiler's: the induction stops there */
    assert_int_equal(nc_fp4_verify_by(n, wrong, NC_FP4_STRUCTURAL, &r), NC_OK);
    assert_int_equal(r.wrong, 0);
    unit = (nc_fp4_unit *)(uintptr_t)nc_fp4_get_unit(n, 77);
    old = *unit;
    unit->weight[0] ^= 8;
    assert_int_equal(nc_fp4_verify_by(n, wrong, NC_FP4_STRUCTURAL, &r), NC_OK);
    assert_true(r.wrong > 0);
    assert_int_equal(nc_fp4_verify_by(n, wrong, NC_FP4_BDD, &r), NC_OK);
    assert_true(r.wrong > 0);
    *unit = old;
    nc_fp4_network_destroy(n);
    nc_fp4_destroy(right);
    nc_fp4_destroy(wrong);
}

static void what_diagrams_cannot_hold_is_proven_by_structure(void **state) {
    nc_fp4_circuit *c = made(NC_FP4_MULTIPLIER, 32, 0);
    nc_fp4_network *n = compiled(c);
    nc_fp4_report r;
    (void)state;
    assert_int_equal(nc_fp4_verify(n, c, &r), NC_OK);
    assert_int_equal(r.evidence, NC_FP4_STRUCTURAL);
    assert_int_equal(r.wrong, 0);
    assert_int_equal(r.cases, 8 * 2048);
    nc_fp4_network_destroy(n);
    nc_fp4_destroy(c);
}

static nc_fp4_circuit *random_circuit(uint64_t *seed, uint32_t inputs, uint32_t atoms) {
    nc_fp4_circuit *c;
    uint32_t wires[300], i, k, in[3];
    assert_int_equal(nc_fp4_create(&c, NULL, NULL), NC_OK);
    wires[0] = NC_FP4_FALSE;
    wires[1] = NC_FP4_TRUE;
    assert_int_equal(nc_fp4_add_input(c, "x", inputs, wires + 2), NC_OK);
    for (i = 0; i < atoms; i++) {
        for (k = 0; k < 3; k++) in[k] = wires[test_random(seed) % (inputs + 2 + i)];
        k = (uint32_t)(test_random(seed) % NC_FP4_ATOM_COUNT);
        assert_int_equal(nc_fp4_add_atom(c, (nc_fp4_atom_kind)k, in, &wires[inputs + 2 + i]),
                         NC_OK);
    }
    assert_int_equal(nc_fp4_add_output(c, NULL, 20, wires + inputs + 2 + atoms - 20), NC_OK);
    assert_int_equal(nc_fp4_add_output(c, NULL, 20, wires + inputs + 2 + atoms - 20), NC_OK);
    assert_int_equal(nc_fp4_add_output(c, NULL, 3, wires), NC_OK); /* constants and an input */
    return c;
}

static void all_evaluations_agree_on_random_circuits(void **state) {
    enum { WORDS = 100, OUTPUTS = 43 };
    static uint64_t in[40 * WORDS], out[OUTPUTS * WORDS], plain[OUTPUTS * WORDS];
    static uint64_t values[64 * WORDS], groups[3][64 * WORDS];
    uint64_t seed = 3;
    int round;
    (void)state;
    for (round = 0; round < 30; round++) {
        const uint32_t inputs = 1 + (uint32_t)(test_random(&seed) % 40);
        nc_fp4_circuit *c = random_circuit(&seed, inputs, 40 + (uint32_t)round * 7);
        nc_fp4_network *n = compiled(c);
        nc_fp4_report r;
        size_t i, k, words = round % 2 ? WORDS : 1 + test_random(&seed) % WORDS;
        assert_int_equal(nc_fp4_network_outputs(n), OUTPUTS);
        for (i = 0; i < inputs * words; i++) in[i] = test_random(&seed);
        (void)nc_fp4_set_simd(0);
        assert_int_equal(nc_fp4_eval_sliced(n, in, plain, words), NC_OK);
        for (k = 1; k < 3; k++) {
            if (nc_fp4_set_simd((int)k) != (int)k) break;
            memset(out, 0xEE, sizeof out);
            assert_int_equal(nc_fp4_eval_sliced(n, in, out, words), NC_OK);
            assert_memory_equal(out, plain, OUTPUTS * words * 8);
        }
        memcpy(out, plain, sizeof out); /* where there is one level only */
        for (k = 0; k < 64; k++) {
            size_t word = test_random(&seed) % words;
            float one[40], result[OUTPUTS], wires[1000];
            uint8_t bytes[40], byte_result[OUTPUTS], byte_wires[1000];
            assert_true(inputs + nc_fp4_unit_count(n) <= 1000);
            for (i = 0; i < inputs; i++)
                one[i] = bytes[i] = (uint8_t)(in[i * words + word] >> k & 1);
            nc_fp4_eval_float(n, one, result, wires);
            nc_fp4_eval_packed(n, bytes, byte_result, byte_wires);
            for (i = 0; i < OUTPUTS; i++) {
                assert_int_equal((uint64_t)result[i], out[i * words + word] >> k & 1);
                assert_int_equal(byte_result[i], (uint64_t)result[i]);
            }
        }
        /* plain integers: the same cases, turned round */
        for (k = 0; k < 64 * words; k++)
            for (values[k] = 0, i = 0; i < inputs; i++)
                values[k] |= (in[i * words + k / 64] >> k % 64 & 1) << i;
        for (k = 0; k < 3; k++) {
            const uint64_t *from = values;
            uint64_t *to[3];
            size_t j, count = 64 * words - test_random(&seed) % 64;
            for (i = 0; i < 3; i++) to[i] = groups[i];
            if (k) to[1] = NULL;
            if (nc_fp4_set_simd((int)k) != (int)k) break;
            memset(groups, 0xEE, sizeof groups);
            assert_int_equal(nc_fp4_eval_integers(n, &from, to, count), NC_OK);
            for (j = 0; j < count; j++)
                for (i = 0; i < 20; i++)
                    assert_int_equal(groups[0][j] >> i & 1, out[i * words + j / 64] >> j % 64 & 1);
            if (count < 64 * WORDS) assert_true(groups[0][count] == UINT64_C(0xEEEEEEEEEEEEEEEE));
            assert_true(groups[1][0] == (k ? UINT64_C(0xEEEEEEEEEEEEEEEE) : groups[0][0]));
            assert_int_equal(groups[2][0] & 3, 2); /* false, true */
        }
        (void)nc_fp4_set_simd(-1);
        assert_int_equal(nc_fp4_verify_by(n, c, NC_FP4_STRUCTURAL, &r), NC_OK);
        assert_int_equal(r.wrong, 0);
        nc_fp4_network_destroy(n);
        nc_fp4_destroy(c);
    }
}

/* Every function of three inputs, in whole strips and less. */
static void every_step_is_the_same_on_all_levels(void **state) {
    enum { WORDS = 32 + 5 };
    static uint64_t in[3 * WORDS], out[3][256 * WORDS], words[3][64 * WORDS];
    nc_fp4_circuit *c;
    nc_fp4_network *n;
    uint32_t x[3], y[256];
    uint64_t seed = 9, truth;
    int level;
    size_t i, k, w;
    (void)state;
    assert_int_equal(nc_fp4_create(&c, NULL, NULL), NC_OK);
    assert_int_equal(nc_fp4_add_input(c, "x", 3, x), NC_OK);
    for (truth = 0; truth < 256; truth++)
        assert_int_equal(nc_fp4_add_function(c, 3, x, &truth, &y[truth]), NC_OK);
    for (i = 0; i < 4; i++) /* groups that plain integers can take */
        assert_int_equal(nc_fp4_add_output(c, NULL, 64, y + 64 * i), NC_OK);
    n = compiled(c);
    for (i = 0; i < 3 * WORDS; i++) in[i] = test_random(&seed);
    for (level = 0; level < 3; level++) {
        if (nc_fp4_set_simd(level) != level) break;
        assert_int_equal(nc_fp4_eval_sliced(n, in, out[level], WORDS), NC_OK);
        for (i = 0; i < 256; i++)
            for (w = 0; w < WORDS; w++) {
                uint64_t expected = 0;
                for (k = 0; k < 8; k++)
                    if (i >> k & 1)
                        expected |= (k & 1 ? in[w] : ~in[w]) &
                                    (k & 2 ? in[WORDS + w] : ~in[WORDS + w]) &
                                    (k & 4 ? in[2 * WORDS + w] : ~in[2 * WORDS + w]);
                assert_true(out[level][i * WORDS + w] == expected);
            }
    }
    for (level = 0; level < 3; level++) {
        const uint64_t *from = words[0];
        uint64_t *to[4] = {NULL, words[1], NULL, words[2]};
        if (nc_fp4_set_simd(level) != level) break;
        for (i = 0; i < 64 * WORDS; i++) words[0][i] = test_random(&seed);
        assert_int_equal(nc_fp4_eval_integers(n, &from, to, 64 * WORDS - 3), NC_OK);
        for (i = 0; i < 64 * WORDS - 3; i++)
            for (k = 0; k < 64; k++) {
                assert_int_equal(words[1][i] >> k & 1, (64 + k) >> (words[0][i] & 7) & 1);
                assert_int_equal(words[2][i] >> k & 1, (192 + k) >> (words[0][i] & 7) & 1);
            }
    }
    (void)nc_fp4_set_simd(-1);
    nc_fp4_network_destroy(n);
    nc_fp4_destroy(c);
}

/* The fast program keeps carries in registers; these are read again far behind the adders. */
static void carries_that_are_read_later_are_kept(void **state) {
    enum { BITS = 9 };
    nc_fp4_circuit *c;
    nc_fp4_network *n;
    nc_fp4_report r;
    uint32_t x[2 * BITS + 1], s[BITS], carry[BITS + 1], in[3], parity = NC_FP4_FALSE, i;
    (void)state;
    assert_int_equal(nc_fp4_create(&c, "carries", NULL), NC_OK);
    assert_int_equal(nc_fp4_add_input(c, "x", 2 * BITS + 1, x), NC_OK);
    carry[0] = x[2 * BITS];
    for (i = 0; i < BITS; i++) {
        in[0] = x[i];
        in[1] = x[BITS + i];
        in[2] = carry[i];
        assert_int_equal(nc_fp4_add_atom(c, NC_FP4_SUM, in, &s[i]), NC_OK);
        assert_int_equal(nc_fp4_add_atom(c, NC_FP4_CARRY, in, &carry[i + 1]), NC_OK);
    }
    for (i = 0; i <= BITS; i++) {
        in[0] = parity;
        in[1] = carry[i];
        assert_int_equal(nc_fp4_add_atom(c, NC_FP4_XOR, in, &parity), NC_OK);
    }
    assert_int_equal(nc_fp4_add_output(c, "s", BITS, s), NC_OK);
    assert_int_equal(nc_fp4_add_output(c, "p", 1, &parity), NC_OK);
    n = compiled(c);
    assert_int_equal(nc_fp4_verify_by(n, c, NC_FP4_EXHAUSTIVE, &r), NC_OK);
    assert_int_equal(r.cases, 1u << (2 * BITS + 1));
    assert_int_equal(r.wrong, 0);
    nc_fp4_network_destroy(n);
    nc_fp4_destroy(c);
}

/* Two summands of three bits, extended by their signs: a carry lies where the last one lay, and the
 * sum behind it has the same other operands. That is no full adder. */
static void sums_of_extended_signs_are_right_on_all_levels(void **state) {
    enum { BITS = 9, OWN = 3 };
    nc_fp4_circuit *c;
    nc_fp4_network *n;
    nc_fp4_report r;
    uint32_t x[2 * OWN], s[BITS], in[3], carry = NC_FP4_TRUE, i;
    int level;
    (void)state;
    assert_int_equal(nc_fp4_create(&c, "extended", NULL), NC_OK);
    assert_int_equal(nc_fp4_add_input(c, "x", 2 * OWN, x), NC_OK);
    assert_int_equal(nc_fp4_add_input(c, "carry", 1, &carry), NC_OK);
    for (i = 0; i < BITS; i++) {
        in[0] = carry;
        in[1] = x[i < OWN ? i : OWN - 1];
        in[2] = x[OWN + (i < OWN ? i : OWN - 1)];
        assert_int_equal(nc_fp4_add_atom(c, NC_FP4_SUM, in, &s[i]), NC_OK);
        assert_int_equal(nc_fp4_add_atom(c, NC_FP4_CARRY, in, &carry), NC_OK);
    }
    assert_int_equal(nc_fp4_add_output(c, "s", BITS, s), NC_OK);
    n = compiled(c);
    for (level = 0; level < 3; level++) {
        if (nc_fp4_set_simd(level) != level) break;
        assert_int_equal(nc_fp4_verify_by(n, c, NC_FP4_EXHAUSTIVE, &r), NC_OK);
        assert_int_equal(r.wrong, 0);
        assert_int_equal(nc_fp4_verify_by(n, c, NC_FP4_STRUCTURAL, &r), NC_OK);
        assert_int_equal(r.wrong, 0);
    }
    (void)nc_fp4_set_simd(-1);
    nc_fp4_network_destroy(n);
    nc_fp4_destroy(c);
}

static void sixty_four_bit_sums_are_those_of_the_machine(void **state) {
    enum { N = 5000 };
    static uint64_t a[N], b[N], s[N], carry[N];
    nc_fp4_circuit *c = made(NC_FP4_ADDER, 64, 0);
    nc_fp4_network *n = compiled(c);
    const uint64_t *in[3] = {a, b, NULL};
    uint64_t *out[2] = {s, carry}, seed = 6;
    int i, level;
    (void)state;
    for (i = 0; i < N; i++) {
        a[i] = test_random(&seed);
        b[i] = test_random(&seed);
    }
    for (level = 0; level < 3; level++) {
        if (nc_fp4_set_simd(level) != level) break;
        memset(s, 0xEE, sizeof s);
        assert_int_equal(nc_fp4_eval_integers(n, in, out, N), NC_OK);
        for (i = 0; i < N; i++) {
            assert_true(s[i] == a[i] + b[i]);
            assert_int_equal(carry[i], s[i] < a[i]);
        }
    }
    (void)nc_fp4_set_simd(-1);
    nc_fp4_network_destroy(n);
    nc_fp4_destroy(c);
}

static void circuits_are_simplified_as_they_grow(void **state) {
    nc_fp4_circuit *c, *whole;
    nc_fp4_network *n;
    uint32_t x[3], y, z, in[3], out[2];
    (void)state;
    assert_int_equal(nc_fp4_create(&c, "a\nname", NULL), NC_OK);
    assert_string_equal(nc_fp4_name(c), "a_name"); /* no control characters */
    assert_int_equal(nc_fp4_add_input(c, "x", 3, x), NC_OK);
    in[0] = x[0];
    in[1] = NC_FP4_TRUE;
    assert_int_equal(nc_fp4_add_atom(c, NC_FP4_AND, in, &y), NC_OK);
    assert_int_equal(y, x[0]);
    in[1] = x[0];
    assert_int_equal(nc_fp4_add_atom(c, NC_FP4_XOR, in, &y), NC_OK);
    assert_int_equal(y, NC_FP4_FALSE);
    assert_int_equal(nc_fp4_add_atom(c, NC_FP4_NOT, in, &y), NC_OK);
    assert_int_equal(nc_fp4_add_atom(c, NC_FP4_NOT, &y, &z), NC_OK);
    assert_int_equal(z, x[0]);
    in[1] = x[1];
    assert_int_equal(nc_fp4_add_atom(c, NC_FP4_NAND, in, &y), NC_OK);
    in[0] = x[1];
    in[1] = x[0];
    assert_int_equal(nc_fp4_add_atom(c, NC_FP4_NAND, in, &z), NC_OK);
    assert_int_equal(y, z); /* the order does not matter */
    out[0] = y;
    assert_int_equal(nc_fp4_add_output(c, "y", 1, out), NC_OK);
    n = compiled(c);
    assert_int_equal(nc_fp4_unit_count(n), 1); /* NAND itself, no AND before it */
    nc_fp4_network_destroy(n);
    assert_int_equal(nc_fp4_create(&whole, NULL, NULL), NC_OK);
    assert_int_equal(nc_fp4_add_input(whole, "x", 3, x), NC_OK);
    assert_int_equal(nc_fp4_add_circuit(whole, c, x, out), NC_OK);
    x[2] = x[0];
    assert_int_equal(nc_fp4_add_circuit(whole, c, x, out + 1), NC_OK);
    assert_int_equal(out[0], out[1]);
    assert_int_equal(nc_fp4_add_circuit(c, c, x, out), NC_ERR_ARG);
    nc_fp4_destroy(whole);
    nc_fp4_destroy(c);
}

/* From a template to a proof, of every kind, with all memory from hooks. */
static nc_status whole_road(const nc_allocator *hooks) {
    uint64_t words[36], out[20], *sums[2] = {NULL, NULL};
    const uint64_t *summands[3] = {words, words, NULL};
    nc_fp4_circuit *c, *whole = NULL;
    nc_fp4_network *n = NULL;
    nc_fp4_report r;
    uint32_t in[32], wires[20], e;
    uint64_t truth[4] = {0x8000000000000001u, 2, 3, 4};
    nc_status status = nc_fp4_make(&c, NC_FP4_ADDER, 8, 0, hooks);
    meaning m = {NC_FP4_ADDER, 8};
    if (status != NC_OK) return assert_null(c), status;
    memset(words, 0, sizeof words);
    sums[0] = out;
    status = nc_fp4_create(&whole, "whole", hooks);
    if (status == NC_OK) status = nc_fp4_add_input(whole, NULL, 17, in);
    if (status == NC_OK) status = nc_fp4_add_circuit(whole, c, in, wires);
    if (status == NC_OK) status = nc_fp4_add_function(whole, 8, in, truth, &wires[9]);
    if (status == NC_OK) status = nc_fp4_add_output(whole, NULL, 10, wires);
    if (status == NC_OK) status = nc_fp4_compile(c, &n);
    if (status == NC_OK) status = nc_fp4_eval_integers(n, summands, sums, 3);
    if (status == NC_OK) status = nc_fp4_verify_cases(n, template_spec, &m, &r);
    for (e = NC_FP4_EXHAUSTIVE; e <= NC_FP4_STRUCTURAL && status == NC_OK; e++) {
        status = nc_fp4_verify_by(n, c, (nc_fp4_evidence)e, &r);
        assert_int_equal(r.wrong, 0);
    }
    nc_fp4_network_destroy(n);
    n = NULL;
    if (status == NC_OK) status = nc_fp4_compile(whole, &n); /* with temporaries */
    if (status == NC_OK) status = nc_fp4_eval_sliced(n, words, out, 1);
    nc_fp4_network_destroy(n);
    nc_fp4_destroy(whole);
    nc_fp4_destroy(c);
    return status;
}

static void every_allocation_may_fail(void **state) {
    failing_memory memory = {0, 0, 0};
    nc_allocator hooks = {failing_alloc, failing_free, &memory};
    nc_status status;
    int k;
    (void)state;
    for (k = 0;; k++) {
        memory.until_failure = k;
        status = whole_road(&hooks);
        assert_int_equal(memory.blocks, 0);
        assert_int_equal(memory.bytes, 0);
        if (status == NC_OK) break;
        if (status != NC_ERR_MEMORY) fail_msg("allocation %d: %s", k, nc_status_str(status));
    }
    assert_true(k > 60); /* all of it comes from the hooks */
}

static void bad_wires_and_sizes_are_errors(void **state) {
    nc_fp4_circuit *c;
    nc_fp4_network *n;
    nc_fp4_report report;
    nc_fp4_bus bus;
    uint32_t wire, in[3] = {0, 1, 2};
    uint64_t truth = 0, word = 0, *out = &word;
    const uint64_t *from = &word;
    meaning m = {NC_FP4_ADDER, 4};
    (void)state;
    assert_int_equal(nc_fp4_make(&c, NC_FP4_ADDER, 0, 0, NULL), NC_ERR_ARG);
    assert_int_equal(nc_fp4_make(&c, NC_FP4_ADDER, 4097, 0, NULL), NC_ERR_ARG);
    assert_int_equal(nc_fp4_make(&c, NC_FP4_DECODER, 13, 0, NULL), NC_ERR_ARG);
    assert_int_equal(nc_fp4_make(&c, NC_FP4_SHIFTER, 12, 0, NULL), NC_ERR_ARG);
    assert_int_equal(nc_fp4_make(&c, NC_FP4_TEMPLATE_COUNT, 4, 0, NULL), NC_ERR_ARG);
    assert_null(c);
    assert_null(nc_fp4_template_name(NC_FP4_TEMPLATE_COUNT));
    c = made(NC_FP4_ADDER, 13, 0); /* 27 inputs: too many to try */
    n = compiled(c);
    assert_int_equal(nc_fp4_verify_cases(n, template_spec, &m, &report), NC_ERR_LIMIT);
    assert_int_equal(nc_fp4_input_bus(c, 1, &bus), 1);
    assert_string_equal(bus.name, "b");
    assert_int_equal(bus.first, 13);
    assert_int_equal(nc_fp4_input_bus(c, 3, &bus), 0);
    assert_int_equal(nc_fp4_output_bus(c, 1, &bus), 1);
    assert_int_equal(bus.width, 1);
    in[2] = 1000;
    assert_int_equal(nc_fp4_add_atom(c, NC_FP4_SUM, in, &wire), NC_ERR_ARG);
    assert_int_equal(nc_fp4_add_atom(c, (nc_fp4_atom_kind)99, in, &wire), NC_ERR_ARG);
    assert_int_equal(nc_fp4_add_function(c, 9, in, &truth, &wire), NC_ERR_ARG);
    assert_int_equal(nc_fp4_add_output(c, "y", 3, in), NC_ERR_ARG);
    assert_int_equal(nc_fp4_add_input(c, "y", 0, in), NC_ERR_ARG);
    assert_int_equal(nc_fp4_add_input(c, "y", 1u << 24, in), NC_ERR_LIMIT);
    nc_fp4_network_destroy(n);
    nc_fp4_destroy(c);
    c = made(NC_FP4_PARITY, 65, 0);
    n = compiled(c);
    assert_int_equal(nc_fp4_eval_integers(n, &from, &out, 1), NC_ERR_LIMIT);
    from = NULL;
    assert_int_equal(nc_fp4_eval_integers(n, &from, &out, 1), NC_OK);
    nc_fp4_network_destroy(n);
    nc_fp4_destroy(c);
    nc_fp4_destroy(NULL);
    nc_fp4_network_destroy(NULL);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(ten_atoms_are_exact_on_every_input),
        cmocka_unit_test(a_wrong_weight_is_found_and_a_malformed_atom_refused),
        cmocka_unit_test(synthesis_finds_exact_units_for_small_functions),
        cmocka_unit_test(every_function_of_three_inputs_takes_two_units_at_most),
        cmocka_unit_test(functions_of_eight_inputs_are_taken_apart),
        cmocka_unit_test(every_template_is_right_on_every_input),
        cmocka_unit_test(an_adder_takes_three_units_for_two_bits),
        cmocka_unit_test(wide_units_are_few),
        cmocka_unit_test(chains_of_two_inputs_become_wide_units),
        cmocka_unit_test(redundant_circuits_are_covered_and_proven),
        cmocka_unit_test(adders_of_complements_become_counters),
        cmocka_unit_test(a_single_wrong_case_is_reported_with_its_inputs),
        cmocka_unit_test(large_templates_are_proven_against_another_construction),
        cmocka_unit_test(proofs_fail_where_they_must),
        cmocka_unit_test(what_diagrams_cannot_hold_is_proven_by_structure),
        cmocka_unit_test(all_evaluations_agree_on_random_circuits),
        cmocka_unit_test(every_step_is_the_same_on_all_levels),
        cmocka_unit_test(carries_that_are_read_later_are_kept),
        cmocka_unit_test(sums_of_extended_signs_are_right_on_all_levels),
        cmocka_unit_test(sixty_four_bit_sums_are_those_of_the_machine),
        cmocka_unit_test(circuits_are_simplified_as_they_grow),
        cmocka_unit_test(every_allocation_may_fail),
        cmocka_unit_test(bad_wires_and_sizes_are_errors),
    };
    return cmocka_run_group_tests_name("fp4 circuit", tests, NULL, NULL);
}
