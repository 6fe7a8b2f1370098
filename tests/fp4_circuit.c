/* nc_fp4.h, section public: atoms, circuits, verification. */
#include "test.h"
#include "../nc_fp4.h"

static void ten_atoms_are_exact_on_every_input_with_a_margin_of_one_half(void **state) {
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
        assert_int_equal(nc_fp4_verify_atom(atom, &report), NC_OK);
        assert_int_equal(report.cases, 1u << atom->inputs);
        assert_int_equal(report.wrong, 0);
        assert_true(report.margin >= 0.5);
        assert_true(report.units <= 2);
        assert_int_equal(report.bytes_packed, (report.parameters + 1) / 2); /* whole bytes */
        assert_int_equal(report.bytes_float, 4 * report.parameters);
    }
    assert_null(nc_fp4_get_atom(NC_FP4_ATOM_COUNT));
}

static void a_wrong_weight_is_found_and_a_malformed_atom_refused(void **state) {
    nc_fp4_atom atom = *nc_fp4_get_atom(NC_FP4_XOR);
    nc_fp4_report report;
    (void)state;
    atom.unit[1].weight[2] = 0;
    assert_int_equal(nc_fp4_verify_atom(&atom, &report), NC_OK);
    assert_int_equal(report.wrong, 1);
    assert_int_equal(report.first_wrong, 3);
    atom.unit[0].input[0] = 2; /* its own output */
    assert_int_equal(nc_fp4_verify_atom(&atom, &report), NC_ERR_ARG);
}

static void eight_bit_adder_is_right_on_all_131072_inputs(void **state) {
    nc_fp4_circuit *adder;
    nc_fp4_report report;
    (void)state;
    assert_int_equal(nc_fp4_adder(&adder, 8, NULL), NC_OK);
    assert_int_equal(nc_fp4_verify(adder, nc_fp4_adder_spec, adder, &report), NC_OK);
    assert_int_equal(report.cases, 131072);
    assert_int_equal(report.wrong, 0);
    assert_int_equal(report.units, 16); /* a full adder is two units */
    assert_true(report.margin >= 0.5);
    nc_fp4_destroy(adder);
}

static uint64_t off_by_one_spec(void *user, uint64_t inputs) {
    return nc_fp4_adder_spec(user, inputs) ^ (uint64_t)(inputs == 77777);
}

static void a_single_wrong_case_is_reported_with_its_inputs(void **state) {
    nc_fp4_circuit *adder;
    nc_fp4_report report;
    (void)state;
    assert_int_equal(nc_fp4_adder(&adder, 8, NULL), NC_OK);
    assert_int_equal(nc_fp4_verify(adder, off_by_one_spec, adder, &report), NC_OK);
    assert_int_equal(report.wrong, 1);
    assert_int_equal(report.first_wrong, 77777);
    nc_fp4_destroy(adder);
}

static void float_and_sliced_evaluation_agree_on_random_circuits(void **state) {
    uint64_t seed = 3;
    int round, c;
    (void)state;
    for (round = 0; round < 30; round++) {
        nc_fp4_circuit *circuit;
        uint32_t wire = 0, i, in[3];
        uint64_t sliced_in[8], sliced_out[40], sliced[200];
        float one_in[8], one_out[40], wires[200];
        assert_int_equal(nc_fp4_create(&circuit, NULL), NC_OK);
        for (i = 0; i < 8; i++) {
            assert_int_equal(nc_fp4_add_input(circuit, &wire), NC_OK);
            sliced_in[i] = test_random(&seed);
        }
        for (i = 0; i < 40; i++) {
            int k;
            for (k = 0; k < 3; k++) in[k] = (uint32_t)(test_random(&seed) % (wire + 1));
            k = (int)(test_random(&seed) % NC_FP4_ATOM_COUNT);
            assert_int_equal(nc_fp4_add_atom(circuit, (nc_fp4_atom_kind)k, in, &wire), NC_OK);
            assert_int_equal(nc_fp4_add_output(circuit, wire), NC_OK);
            wire = nc_fp4_input_count(circuit) + nc_fp4_unit_count(circuit) - 1;
        }
        nc_fp4_eval_sliced(circuit, sliced_in, sliced_out, sliced);
        for (c = 0; c < 64; c++) {
            for (i = 0; i < 8; i++) one_in[i] = (float)(sliced_in[i] >> c & 1);
            nc_fp4_eval_float(circuit, one_in, one_out, wires);
            for (i = 0; i < 40; i++) assert_int_equal((uint64_t)one_out[i], sliced_out[i] >> c & 1);
        }
        nc_fp4_destroy(circuit);
    }
}

static void bad_wires_sizes_and_memory_are_errors(void **state) {
    failing_memory memory = {0, 0, 0};
    nc_allocator hooks = {failing_alloc, failing_free, &memory};
    nc_fp4_circuit *circuit;
    nc_fp4_report report;
    uint32_t wire, in[3] = {0, 1, 2};
    (void)state;
    assert_int_equal(nc_fp4_create(&circuit, &hooks), NC_ERR_MEMORY);
    assert_null(circuit);
    memory.until_failure = 1;
    assert_int_equal(nc_fp4_adder(&circuit, 4, &hooks), NC_OK);
    assert_int_equal(nc_fp4_verify(circuit, nc_fp4_adder_spec, circuit, &report), NC_ERR_MEMORY);
    nc_fp4_destroy(circuit);
    assert_int_equal(memory.blocks, 0);
    assert_int_equal(nc_fp4_adder(&circuit, 0, NULL), NC_ERR_ARG);
    assert_int_equal(nc_fp4_adder(&circuit, 13, NULL), NC_OK); /* 27 inputs: too many to try */
    assert_int_equal(nc_fp4_verify(circuit, nc_fp4_adder_spec, circuit, &report), NC_ERR_LIMIT);
    assert_int_equal(nc_fp4_add_input(circuit, &wire), NC_ERR_ARG);
    in[2] = 1000;
    assert_int_equal(nc_fp4_add_atom(circuit, NC_FP4_SUM, in, &wire), NC_ERR_ARG);
    assert_int_equal(nc_fp4_add_atom(circuit, (nc_fp4_atom_kind)99, in, &wire), NC_ERR_ARG);
    assert_int_equal(nc_fp4_add_output(circuit, 1000), NC_ERR_ARG);
    nc_fp4_destroy(circuit);
    nc_fp4_destroy(NULL);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(ten_atoms_are_exact_on_every_input_with_a_margin_of_one_half),
        cmocka_unit_test(a_wrong_weight_is_found_and_a_malformed_atom_refused),
        cmocka_unit_test(eight_bit_adder_is_right_on_all_131072_inputs),
        cmocka_unit_test(a_single_wrong_case_is_reported_with_its_inputs),
        cmocka_unit_test(float_and_sliced_evaluation_agree_on_random_circuits),
        cmocka_unit_test(bad_wires_sizes_and_memory_are_errors),
    };
    return cmocka_run_group_tests_name("fp4 circuit", tests, NULL, NULL);
}
