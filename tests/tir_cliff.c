/* nc_tirneural.h, section optimizer: rows traded between tables until a program pads lower. Every
   program here has a table above a cliff that the fewest instructions do not lead below. */
#include "test.h"
#include "../nc_tirneural.h"

static const char *const table_names[9] = {"processor", "program", "op_stack", "ram", "jump_stack",
                                           "hash",      "cascade", "lookup",   "u32"};

typedef struct traded {
    uint64_t before[9], fewest[9], after[9];
    nc_tir_report report;
    char *tasm;
} traded;

static uint64_t tallest(const uint64_t rows[9]) {
    uint64_t most = 0;
    int i;
    for (i = 0; i < 9; i++)
        if (rows[i] > most) most = rows[i];
    return most;
}

/* Trade, check what the report says against runs of its own, print the tables. */
static traded trade(const char *name, const char *tasm, const nc_tir_input *inputs, size_t count,
                    nc_tir_aim aim) {
    nc_tir_options options = {0};
    nc_error err = {0};
    nc_tir_execution worst, given;
    traded t;
    size_t i, k;
    options.whole = 1;
    options.samples = inputs;
    options.sample_count = count;
    options.aim = aim;
    if (nc_tir_optimize_tasm(tasm, &options, &t.tasm, &t.report, &err) != NC_OK)
        fail_msg("%s: %s", name, err.message);
    memcpy(t.before, &t.report.cliff.before, sizeof t.before);
    memcpy(t.fewest, &t.report.cliff.fewest, sizeof t.fewest);
    memcpy(t.after, &t.report.cliff.after, sizeof t.after);
    assert_int_equal(nc_tir_profile_dynamic(t.tasm, inputs, count, &worst, &err), NC_OK);
    if (aim == NC_TIR_AIM_MACHINE) {
        assert_int_equal(worst.padded_height, nc_tir_padded(tallest(t.after)));
        assert_int_equal(nc_tir_tallest_run(&worst, NULL), tallest(t.after));
    }
    nc_tir_free_output(&worst);
    for (i = 0; i < count; i++) {
        assert_int_equal(nc_tir_execute(tasm, &inputs[i], &given, &err), NC_OK);
        assert_int_equal(nc_tir_execute(t.tasm, &inputs[i], &worst, &err), NC_OK);
        assert_int_equal(worst.outcome, NC_TIR_HALTED);
        assert_int_equal(given.output_count, worst.output_count);
        for (k = 0; k < given.output_count; k++) assert_int_equal(given.output[k], worst.output[k]);
        nc_tir_free_output(&given);
        nc_tir_free_output(&worst);
    }
    printf("%-12s", name);
    for (i = 0; i < 9; i++)
        printf(" %s %llu>%llu>%llu", table_names[i], (unsigned long long)t.before[i],
               (unsigned long long)t.fewest[i], (unsigned long long)t.after[i]);
    printf("; stop %d, %u runs; trades", (int)t.report.cliff.stop, t.report.cliff.runs);
    for (i = 0; i < NC_TIR_TRADE_COUNT; i++) printf(" %u", t.report.cliff.trades[i]);
    printf("\n");
    return t;
}

/* The table is above the cliff with the fewest instructions, and below it after the trade. */
static void crosses(const char *name, int table, const char *tasm, const nc_tir_input *input,
                    nc_tir_trade how) {
    traded t = trade(name, tasm, input, 1, NC_TIR_AIM_MACHINE);
    const uint64_t cliff = nc_tir_padded(tallest(t.fewest)) / 2;
    int i;
    if (getenv("SHOW")) puts(t.tasm);
    for (i = 0; i < 9; i++) { /* no other table holds it up */
        if (i != table && !(table == 0 && i == 4) && t.fewest[i] > cliff)
            fail_msg("%s: %s is above the cliff too", name, table_names[i]);
    }
    assert_true(t.fewest[table] > cliff);
    assert_true(tallest(t.after) <= cliff);
    assert_true(t.report.cliff.trades[how] > 0);
    assert_int_equal(t.report.cliff.stop, NC_TIR_STOP_BELOW);
    nc_tir_free_text(t.tasm);
}

static void processor_rows_for_a_loop_head(void **state) {
    static const nc_tir_input nothing = {0};
    (void)state;
    /* 128 rounds of 9 rows, 7 with the test behind the body */
    crosses("processor", 0,
            "push 0 push 128 call loop pop 1 write_io 1 halt\n"
            "loop: dup 0 push 0 eq skiz return addi -1 swap 1 addi 3 swap 1 recurse\n",
            &nothing, NC_TIR_TRADE_LOOP);
}

static void u32_rows_for_the_order_of_operands(void **state) {
    static const nc_tir_input nothing = {0};
    (void)state;
    /* 16 rounds with x xor k and k and x: one entry where there were two */
    crosses("u32", 8,
            "push 5 push 2000000011 push 16 call loop pop 1 write_io 2 halt\n"
            "loop: dup 0 push 0 eq skiz return addi -1\n"
            "swap 1 addi 1000003 dup 0 push 3000000019 xor push 3000000019 dup 2 and add\n"
            "pick 3 add place 2 swap 1 recurse\n",
            &nothing, NC_TIR_TRADE_U32);
}

static void u32_rows_for_chained_divisions(void **state) {
    static const nc_gl word[5] = {4000000011, 4012345678, 3987654321, 4111111111, 4222222222};
    nc_tir_input input = {0};
    (void)state;
    input.public_input = word;
    input.public_count = 5;
    /* the four bytes of a word: masks and shifts of the word itself, then each of the one before */
    crosses("u32", 8,
            "push 0 push 0 push 5 call loop pop 1 write_io 2 halt\n"
            "loop: dup 0 push 0 eq skiz return addi -1\n"
            "swap 1 pop 1 read_io 1\n"
            "dup 0 push 255 and\n"
            "push 256 dup 2 div_mod pop 1 push 255 and add\n"
            "push 65536 dup 2 div_mod pop 1 push 255 and add\n"
            "push 16777216 dup 2 div_mod pop 1 add\n"
            "pick 3 add place 2 swap 1 recurse\n",
            &input, NC_TIR_TRADE_U32);
}

static void stack_rows_for_moves(void **state) {
    static nc_gl secret[400];
    nc_tir_input input = {0};
    size_t i;
    (void)state;
    for (i = 0; i < 400; i++) secret[i] = 1000 + i;
    input.secret_input = secret;
    input.secret_count = 400;
    /* a copy and eight pops, or moves and seven: as many instructions */
    crosses("op_stack", 2,
            "push 40 call loop pop 1 halt\n"
            "loop: dup 0 push 0 eq skiz return addi -1 divine 5 divine 5 dup 8 write_io 1 pop 5 "
            "pop 5 recurse\n",
            &input, NC_TIR_TRADE_SCHEDULE);
}

static void ram_rows_for_program_rows(void **state) {
    static const nc_tir_input nothing = {0};
    (void)state;
    /* what g reads was written before the call; in one piece the read is not needed */
    crosses("ram", 3,
            "push 0 push 27 push 0 push 0 push 0 push 200 push 300 call loop pop 2 write_io 3\n"
            "pop 1 push 5 call g write_io 1 halt\n"
            "loop: dup 5 push 0 eq skiz return pick 5 addi -1 place 5\n"
            "xx_dot_step xx_dot_step xx_dot_step xx_dot_step xx_dot_step xx_dot_step\n"
            "dup 5 push 100 write_mem 1 pop 1 call g write_io 1 recurse\n"
            "g: push 100 read_mem 1 pop 1 return\n",
            &nothing, NC_TIR_TRADE_INLINE);
}

static void cascade_rows_for_processor_rows(void **state) {
    static const nc_gl three = 3;
    static char tasm[2048];
    nc_tir_input input = {0};
    int i;
    (void)state;
    input.public_input = &three;
    input.public_count = 1;
    strcpy(tasm, "read_io 1\n");
    for (i = 0; i < 30; i++) strcat(tasm, "dup 0 mul addi 7\n");
    strcat(tasm, "write_io 1 halt\n");
    crosses("cascade", 6, tasm, &input, NC_TIR_TRADE_OUTLINE);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(processor_rows_for_a_loop_head),
        cmocka_unit_test(u32_rows_for_the_order_of_operands),
        cmocka_unit_test(u32_rows_for_chained_divisions),
        cmocka_unit_test(stack_rows_for_moves),
        cmocka_unit_test(ram_rows_for_program_rows),
        cmocka_unit_test(cascade_rows_for_processor_rows),
    };
    return cmocka_run_group_tests_name("tir cliff", tests, NULL, NULL);
}
