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
    static const nc_gl zero = 0;
    nc_tir_input input = {0};
    (void)state;
    input.public_input = &zero;
    input.public_count = 1;
    /* 128 rounds of 9 rows, 7 with the test behind the body; a call that may be skipped has no place
     * for a test before it */
    crosses("processor", 0,
            "push 0 push 128 push 1 read_io 1 add skiz call loop pop 1 write_io 1 halt\n"
            "loop: dup 0 push 0 eq skiz return addi -1 swap 1 addi 3 swap 1 recurse\n",
            &input, NC_TIR_TRADE_LOOP);
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
    static nc_gl secret[440];
    nc_tir_input input = {0};
    size_t i;
    (void)state;
    for (i = 0; i < 440; i++) secret[i] = 1000 + i;
    input.secret_input = secret;
    input.secret_count = 440;
    /* a copy and eight pops, or moves and seven: as many instructions */
    crosses("op_stack", 2,
            "push 44 call loop pop 1 halt\n"
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

static void hash_rows_for_program_rows(void **state) {
    static const nc_tir_input nothing = {0};
    traded t;
    (void)state;
    /* In the compiler's tables a squeeze has six rows. What seed squeezes out nobody needs when
       fresh starts again, which only one piece of code shows. The real machine's hash table is the
       tallest only beyond 10,922 permutations: until then the cascade table has more rows. */
    t = trade("hash, model",
              "push 40 call loop pop 1 call seed call fresh sponge_squeeze write_io 5 halt\n"
              "loop: dup 0 push 0 eq skiz return addi -1 call seed call fresh recurse\n"
              "seed: sponge_init sponge_squeeze pop 5 pop 5 sponge_squeeze pop 5 pop 5\n"
              "sponge_squeeze pop 5 pop 5 return\n"
              "fresh: sponge_init return\n",
              &nothing, 1, NC_TIR_AIM_MODEL);
    assert_true(t.fewest[5] > 1024 && t.fewest[0] < 1024);
    assert_true(tallest(t.after) <= 512);
    assert_true(t.report.cliff.trades[NC_TIR_TRADE_INLINE] > 0);
    assert_int_equal(t.after[1] + t.after[6] + t.after[7], 0); /* tables the model does not have */
    nc_tir_free_text(t.tasm);
}

static void processor_rows_for_a_known_count(void **state) {
    static const nc_tir_input nothing = {0};
    (void)state;
    /* the inner loop's four rounds of eight rows become four of two */
    crosses("unroll", 0,
            "push 1 push 34 call outer pop 1 write_io 1 halt\n"
            "outer: dup 0 push 0 eq skiz return addi -1 swap 1 push 3 call inner pop 1 swap 1\n"
            "recurse\n"
            "inner: dup 0 push 0 eq skiz return addi -1 swap 1 dup 0 mul swap 1 recurse\n",
            &nothing, NC_TIR_TRADE_UNROLL);
}

static void processor_rows_for_a_loop_that_counts(void **state) {
    static const nc_gl word[2] = {7, 11};
    nc_tir_input input = {0};
    (void)state;
    input.public_input = word;
    input.public_count = 2;
    /* 48 and 32 rounds one after the other are more words than a cascade of that height has room for;
       eight do without seven questions. The counter lies below what is worked on. */
    crosses("rounds", 0,
            "push 48 read_io 1 call l write_io 1 pop 1 push 32 read_io 1 call l write_io 1 pop 1\n"
            "halt l: dup 0 mul swap 1 addi -1 swap 1 addi 5 dup 0 mul addi 6 dup 0 mul addi 7\n"
            "dup 1 skiz recurse return\n",
            &input, NC_TIR_TRADE_UNROLL);
}

static void stack_rows_for_processor_rows(void **state) {
    static nc_gl secret[411] = {82};
    nc_tir_input input = {0};
    size_t i;
    (void)state;
    for (i = 1; i < 411; i++) secret[i] = 1000 + i;
    input.secret_input = secret;
    input.secret_count = 411;
    /* ten elements that go over the stack into the sponge go there from memory */
    crosses("sponge", 2,
            "divine 1 call spin pop 1 push 3 push 4 push 100 write_mem 2 pop 1 sponge_init\n"
            "push 109 read_mem 5 read_mem 5 pop 1 sponge_absorb sponge_squeeze write_io 5\n"
            "pop 5 halt\n"
            "spin: divine 5 pop 5 addi -1 dup 0 skiz recurse return\n",
            &input, NC_TIR_TRADE_SPONGE);
}

static void a_call_before_a_return_falls_into_its_function(void **state) {
    static const nc_gl in[4] = {3, 4, 5, 6};
    nc_tir_input input = {0};
    traded t;
    (void)state;
    input.public_input = in;
    input.public_count = 3;
    input.secret_input = in;
    input.secret_count = 4;
    /* f is too long to stand twice; its calls are the last thing that a and b do */
    t = trade("tail",
              "push 100 call spin pop 1 call a call b call a halt\n"
              "spin: addi -1 dup 0 skiz recurse return\n"
              "a: read_io 1 addi 3 write_io 1 call f return\n"
              "b: push 2 write_io 1 call a call f return\n"
              "f: divine 1 dup 0 mul addi 1 dup 0 mul addi 2 dup 0 mul addi 3 dup 0 mul addi 4\n"
              "dup 0 mul write_io 1 return\n",
              &input, 1, NC_TIR_AIM_MACHINE);
    assert_true(t.report.cliff.trades[NC_TIR_TRADE_TAIL] > 0);
    nc_tir_free_text(t.tasm);
}

/* The text of a module after a program that calls a function of it. */
static char *link_module(const char *name, const char *main) {
    char path[1200], *text, *all;
    snprintf(path, sizeof path, "%s/tir/%s.tasm", shared_data(), name);
    text = read_text(path);
    all = malloc(strlen(text) + strlen(main) + 2);
    sprintf(all, "%s\n%s", main, text);
    free(text);
    return all;
}

/* Whole programs made of the compiler's modules: the trades are made for one input, and compared on
   many others. */
static void modules_behave_alike_on_other_inputs(void **state) {
    static const char twenty[] = "read_io 5 read_io 5 read_io 5 read_io 5 call __%s write_io 5 "
                                 "write_io 5 halt";
    static const struct {
        const char *module, *function;
        int small; /* numbers that only make sense when they are small */
    } cases[] = {
        {"std_crypto_bigint", "mul256_low", 0}, {"std_crypto_bigint", "mul_mod", 0},
        {"std_crypto_bigint", "add256", 0},     {"std_crypto_bigint", "sub_mod", 0},
        {"std_crypto_poseidon2", "hash4", 0},   {"std_crypto_poseidon2", "permute_from_ram", 0},
        {"std_crypto_poseidon", "hash4", 0},    {"std_fhe_lwe", "private_dot", 1},
        {"std_fhe_lwe", "encrypt", 1}};
    uint64_t seed = 11, in[20];
    size_t i, k, j;
    int alike = 0, halted = 0, crossed = 0;
    (void)state;
    if (!shared_data()) skip();
    for (i = 0; i < sizeof cases / sizeof *cases; i++) {
        nc_tir_input input = {0};
        char main[200], *tasm;
        traded t;
        snprintf(main, sizeof main, twenty, cases[i].function);
        tasm = link_module(cases[i].module, main);
        input.public_input = in;
        input.public_count = 20;
        input.max_cycles = 100000;
        for (k = 0; k < 20; k++) in[k] = k == 19 ? 3 : k + 1;
        t = trade(cases[i].function, tasm, &input, 1, NC_TIR_AIM_MACHINE);
        assert_true(tallest(t.after) <= tallest(t.fewest) || tallest(t.after) <= tallest(t.before));
        crossed += nc_tir_padded(tallest(t.after)) < nc_tir_padded(tallest(t.fewest));
        for (k = 0; k < 60; k++) {
            nc_tir_execution x[2];
            size_t m;
            for (j = 0; j < 20; j++) {
                in[j] = test_random(&seed) >> 32;
                if (k % 3 == 0 || cases[i].small) in[j] %= 6;
            }
            assert_int_equal(nc_tir_execute(tasm, &input, &x[0], NULL), NC_OK);
            assert_int_equal(nc_tir_execute(t.tasm, &input, &x[1], NULL), NC_OK);
            if (x[0].outcome != NC_TIR_CRASH_CYCLES && x[1].outcome != NC_TIR_CRASH_CYCLES) {
                assert_int_equal(x[0].outcome == NC_TIR_HALTED, x[1].outcome == NC_TIR_HALTED);
                alike++;
            }
            if (x[0].outcome == NC_TIR_HALTED && x[1].outcome == NC_TIR_HALTED) {
                assert_int_equal(x[0].output_count, x[1].output_count);
                for (m = 0; m < x[0].output_count; m++)
                    assert_int_equal(x[0].output[m], x[1].output[m]);
                halted++;
            }
            nc_tir_free_output(&x[0]);
            nc_tir_free_output(&x[1]);
        }
        nc_tir_free_text(t.tasm);
        free(tasm);
    }
    printf("%d runs alike, %d of them to the end; %d of %d programs below a cliff that the fewest "
           "instructions miss\n",
           alike, halted, crossed, (int)i);
    assert_true(halted > 300 && crossed >= 2);
}

/* Control flow that a trade must not mistake for what it looks like. The sample does not show the
   difference, other inputs do. A long loop first makes rows worth while. */
static void what_the_sample_does_not_show_stays(void **state) {
    static const struct {
        const char *tasm;
        nc_gl sample[8], other[8];
    } cases[] = {
        {/* a return in the body of a loop */
         "read_io 1 call l write_io 1 halt\n"
         "l: dup 0 push 0 eq skiz return addi -1 dup 0 push 5 eq skiz return dup 0 write_io 1\n"
         "recurse\n",
         {3},
         {8}},
        {/* a second recurse: the counter may be 0 there */
         "read_io 2 call l write_io 2 halt\n"
         "l: dup 0 push 0 eq skiz return addi -1 dup 1 skiz recurse dup 0 write_io 1 recurse\n",
         {0, 4},
         {1, 4}},
        {/* a function runs into the loop: its recurse then leads to the function */
         "call f halt f: read_io 2 call l pop 1\n"
         "l: dup 0 push 0 eq skiz return addi -1 dup 0 write_io 1 recurse\n",
         {0, 4},
         {2, 1, 0, 1}},
        {/* what is called last jumps back to its own start */
         "call a call a halt a: read_io 1 addi 1 addi -1 call f return\n"
         "f: dup 0 push 3 eq skiz return addi 1 dup 0 write_io 1 recurse\n",
         {3, 3},
         {1, 2}},
        {/* the count of a loop is not what it starts with */
         "push 3 call l write_io 1 halt\n"
         "l: dup 0 push 0 eq skiz return read_io 1 mul addi -1 dup 0 write_io 1 recurse\n",
         {1, 1, 1},
         {2, 1, 1, 1, 1, 1}},
        {/* the same code behind a skiz */
         "read_io 1 dup 0 push 3 eq skiz addi 5 dup 0 mul addi 9 write_io 1\n",
         {3, 3, 3, 3, 3, 3, 3, 3},
         {4, 3, 4, 2, 3, 3, 5, 6}},
        {/* a loop counts from what is read */
         "read_io 1 call l pop 1 halt l: addi -1 dup 0 write_io 1 dup 0 skiz recurse return\n",
         {8},
         {5}},
        {/* a loop counts from two numbers, one of which only the other input comes to */
         "push 6 call l pop 1 read_io 1 skiz call f halt\n"
         "f: push 5 call l pop 1 return l: addi -1 dup 0 write_io 1 dup 0 skiz recurse return\n",
         {0},
         {1}},
        {/* one call of a loop may be skipped, and its count is read */
         "push 6 call l pop 1 read_io 2 skiz call l pop 1 halt\n"
         "l: addi -1 dup 0 write_io 1 dup 0 skiz recurse return\n",
         {3, 0},
         {3, 1}},
        {/* a call that may be skipped takes as many as lie below what is asked */
         "push 4 call l pop 1 read_io 1 skiz call f halt f: push 9 push 4 skiz call l pop 1 "
         "return\n"
         "l: addi -1 dup 0 write_io 1 dup 0 skiz recurse return\n",
         {0},
         {1}},
        {/* a loop counts, but for what it reads */
         "push 6 call l pop 1 halt\n"
         "l: addi -1 dup 0 read_io 1 add swap 1 dup 0 write_io 1 skiz recurse return\n",
         {0},
         {0, 1}},
        {/* a loop goes on by what it reads */
         "push 5 call l pop 1 halt l: addi -1 dup 0 write_io 1 read_io 1 skiz recurse return\n",
         {1, 1, 1, 1, 1, 0},
         {1, 1, 0}},
        {/* a step that is not 1 comes to 0 by way of p */
         "push 3 call l pop 1 halt l: addi -6 dup 0 write_io 1 dup 0 addi 9 skiz recurse return\n",
         {0},
         {0}},
        {/* a call that may be skipped */
         "read_io 1 read_io 1 skiz call f write_io 1 halt f: addi 3 dup 0 mul addi 4 return\n",
         {5, 1},
         {5, 0}},
    };
    static const nc_gl rounds = 400;
    static const char spin[] = "divine 1 call spin pop 1\n";
    static const char spins[] = "spin: dup 0 push 0 eq skiz return addi -1 recurse\n";
    size_t i, k, m;
    (void)state;
    for (m = 0; m < 2 * (sizeof cases / sizeof *cases);
         m++) { /* where all tables pay, and where none */
        nc_tir_input input = {0}, other = {0};
        nc_tir_execution x[2];
        char tasm[1024];
        traded t;
        i = m / 2;
        if (cases[i].sample[7]) { /* eight of a kind are dear as they stand */
            for (*tasm = 0, k = 0; k < 8; k++) strcat(tasm, cases[i].tasm);
            strcat(tasm, "halt\n");
        } else {
            snprintf(tasm, sizeof tasm, "%s%s%s", spin, cases[i].tasm, spins);
        }
        input.public_input = cases[i].sample;
        other.public_input = cases[i].other;
        input.public_count = other.public_count = 8;
        input.secret_input = other.secret_input = &rounds;
        input.secret_count = other.secret_count = 1;
        other.max_cycles = 10000;
        t = trade("trap", tasm, &input, 1, m % 2 ? NC_TIR_AIM_CYCLES : NC_TIR_AIM_MACHINE);
        assert_int_equal(nc_tir_execute(tasm, &other, &x[0], NULL), NC_OK);
        assert_int_equal(nc_tir_execute(t.tasm, &other, &x[1], NULL), NC_OK);
        assert_int_equal(x[0].outcome, NC_TIR_HALTED);
        assert_int_equal(x[1].outcome, NC_TIR_HALTED);
        assert_int_equal(x[0].output_count, x[1].output_count);
        for (k = 0; k < x[0].output_count; k++) assert_int_equal(x[0].output[k], x[1].output[k]);
        for (k = 0; k < 11 && k < x[0].depth - 5; k++)
            assert_int_equal(x[0].stack[k], x[1].stack[k]);
        nc_tir_free_output(&x[0]);
        nc_tir_free_output(&x[1]);
        nc_tir_free_text(t.tasm);
    }
}

/* Why the trading ends. */
static void the_reason_is_named(void **state) {
    static const nc_gl rounds = 350;
    static nc_gl word[40];
    nc_tir_input input = {0};
    nc_tir_report zero;
    traded t;
    char *json;
    size_t i;
    (void)state;
    /* three rows a round that nothing can avoid */
    input.secret_input = &rounds;
    input.secret_count = 1;
    t = trade("bound", "divine 1 call spin pop 1 halt spin: addi -1 dup 0 skiz recurse return\n",
              &input, 1, NC_TIR_AIM_MACHINE);
    assert_int_equal(t.report.cliff.stop, NC_TIR_STOP_BOUND);
    assert_true(t.report.cliff.bound.processor > 1024);
    assert_int_equal(nc_tir_report_json(&t.report, &json), NC_OK);
    assert_non_null(strstr(json, "\"stop\": \"bound reached\""));
    nc_tir_free_text(json);
    nc_tir_free_text(t.tasm);
    /* every word's two halves are an entry of their own */
    for (i = 0; i < 40; i++) word[i] = UINT64_C(0xF000000080000000) + ((uint64_t)i << 32);
    input.public_input = word;
    input.public_count = 40;
    t = trade("no deal",
              "push 40 call l pop 1 halt\n"
              "l: dup 0 push 0 eq skiz return addi -1 read_io 1 split write_io 2 recurse\n",
              &input, 1, NC_TIR_AIM_MACHINE);
    assert_int_equal(t.report.cliff.stop, NC_TIR_STOP_CANDIDATES);
    assert_true(t.after[8] > 1024 && t.after[8] == t.before[8]);
    nc_tir_free_text(t.tasm);
    memset(&zero, 0, sizeof zero); /* without samples the report has no such part */
    assert_int_equal(nc_tir_report_json(&zero, &json), NC_OK);
    assert_null(strstr(json, "cliff\": {"));
    nc_tir_free_text(json);
    assert_string_equal(nc_tir_stop_str(NC_TIR_STOP_NONE), "no samples");
    assert_string_equal(nc_tir_trade_str(NC_TIR_TRADE_SPONGE), "sponge");
    assert_string_equal(nc_tir_trade_str(NC_TIR_TRADE_COUNT), "unknown trade");
}

/* -- random programs -- */

static char drawn[1 << 15];

static void draw(const char *const *pieces, size_t count, uint64_t *seed) {
    strcat(drawn, pieces[(test_random(seed) >> 8) % count]);
    strcat(drawn, " ");
}

/* Functions that call each other and loops, on three values and memory; every piece leaves the
   height of the stack as it was, and those of loops touch its top alone. */
static void draw_program(uint64_t *seed) {
    static const char *const top[] = {"addi 3",
                                      "dup 0 mul",
                                      "split add",
                                      "split pop 1",
                                      "dup 0 write_io 1",
                                      "read_io 1 add",
                                      "dup 0 push 5 write_mem 1 pop 1",
                                      "push 5 read_mem 1 pop 1 add",
                                      "dup 0 push 6 write_mem 1 pop 1",
                                      "push 2 read_mem 2 pop 1 add add",
                                      "split swap 1 pop 1 push 255 and",
                                      "split swap 1 pop 1 push 256 swap 1 div_mod add",
                                      "split swap 1 pop 1 push 3 swap 1 pow",
                                      "dup 0 push 3 eq skiz addi 7",
                                      "split swap 1 pop 1 dup 0 push 77 xor swap 1 push 77 and add",
                                      "push -1 mul",
                                      "sponge_squeeze pop 5 pop 4 add",
                                      "sponge_init",
                                      "call g"};
    static const char *const deep[] = {"swap 1",
                                       "pick 2",
                                       "place 2",
                                       "dup 1 add",
                                       "dup 3 dup 1 mul add",
                                       "swap 5",
                                       "pick 6",
                                       "dup 1 write_io 1",
                                       "read_io 1 pop 1",
                                       "dup 2 push 9 write_mem 1 pop 1",
                                       "push 9 read_mem 5 read_mem 5 pop 1 sponge_absorb",
                                       "push 3 call l pop 1",
                                       "push 0 call m pop 1",
                                       "call f",
                                       "call h",
                                       "addi 1",
                                       "dup 0 mul"};
    const size_t tops = sizeof top / sizeof *top, deeps = sizeof deep / sizeof *deep;
    int i, k;
    strcpy(drawn, "sponge_init read_io 5 read_io 5 ");
    for (i = 0; i < 10; i++) draw(deep, deeps, seed);
    strcat(drawn, "write_io 5 write_io 5 halt\n");
    for (k = 0; k < 5; k++) {
        strcat(drawn, k == 0   ? "f: "
                      : k == 1 ? "h: "
                      : k == 2 ? "l: dup 0 push 0 eq skiz return addi -1 swap 1 "
                      : k == 3 ? "m: dup 0 push 0 eq skiz return addi -1 swap 1 "
                               : "g: addi 11 ");
        for (i = 0; i < 3 + k % 2; i++) draw(top, tops - (k == 4), seed);
        strcat(drawn, k == 0   ? "call h return\n"
                      : k < 2  ? "return\n"
                      : k == 4 ? "return\n"
                               : "swap 1 recurse\n");
    }
}

static void random_programs_behave_alike_on_other_inputs(void **state) {
    uint64_t seed = 3, in[3][200], ram[40];
    int program, k, i, traded_with = 0, halted = 0;
    uint32_t kinds = 0;
    (void)state;
    for (program = 0; program < 80; program++) {
        nc_tir_input input[3];
        nc_tir_options options = {0};
        nc_tir_report report;
        char *tasm;
        memset(input, 0, sizeof input);
        for (i = 0; i < 40; i++) ram[i] = i % 2 ? test_random(&seed) >> 40 : (uint64_t)i / 2;
        for (k = 0; k < 3; k++) {
            for (i = 0; i < 200; i++)
                in[k][i] = nc_gl_from_u64(test_random(&seed) >> (i % 3 * 20 + k));
            input[k].public_input = in[k];
            input[k].public_count = 200;
            input[k].ram = ram;
            input[k].ram_count = 20;
            input[k].max_cycles = 20000;
        }
        draw_program(&seed);
        options.whole = program % 4 > 0;
        options.aim = program % 5 ? NC_TIR_AIM_MACHINE : NC_TIR_AIM_MODEL;
        options.beam = 4;
        options.effort = 1;
        options.samples = input;
        options.sample_count = 1;
        if (nc_tir_optimize_tasm(drawn, &options, &tasm, &report, NULL) != NC_OK) continue;
        traded_with++;
        for (i = 0; i < NC_TIR_TRADE_COUNT; i++)
            kinds |= (uint32_t)(report.cliff.trades[i] > 0) << i;
        for (k = 0; k < 3; k++) {
            nc_tir_execution x[2];
            assert_int_equal(nc_tir_execute(drawn, &input[k], &x[0], NULL), NC_OK);
            assert_int_equal(nc_tir_execute(tasm, &input[k], &x[1], NULL), NC_OK);
            if ((x[0].outcome == NC_TIR_HALTED) != (x[1].outcome == NC_TIR_HALTED) ||
                x[0].output_count != x[1].output_count ||
                (x[0].outcome == NC_TIR_HALTED &&
                 memcmp(x[0].output, x[1].output, x[0].output_count * sizeof(nc_gl))))
                fail_msg("%s\nbecomes\n%s", drawn, tasm);
            halted += x[0].outcome == NC_TIR_HALTED;
            nc_tir_free_output(&x[0]);
            nc_tir_free_output(&x[1]);
        }
        nc_tir_free_text(tasm);
    }
    printf("%d random programs traded, %d runs to the end; trades seen %x\n", traded_with, halted,
           (unsigned)kinds);
    assert_true(traded_with > 40 && halted > 100 && (kinds & (kinds - 1)));
}

static void samples_must_run(void **state) {
    static const nc_tir_input nothing = {0};
    static const char own[] = "dup 15 write_io 1 dup 15 read_io 1 eq assert error_id 5 "
                              "push 2 push 3 mul write_io 1 halt";
    nc_tir_input digest = {0};
    nc_tir_options options = {0};
    nc_tir_execution x;
    nc_error err;
    nc_gl word = 0;
    char *tasm;
    (void)state;
    options.samples = &nothing;
    options.sample_count = 1;
    assert_int_equal(nc_tir_optimize_tasm("read_io 1 halt", &options, &tasm, NULL, &err),
                     NC_ERR_MISMATCH);
    assert_null(tasm);
    assert_int_equal(nc_tir_optimize_tasm("call nobody halt", &options, &tasm, NULL, &err),
                     NC_ERR_FORMAT);
    assert_int_equal(nc_tir_optimize_tasm("dup 16 halt", &options, &tasm, NULL, &err),
                     NC_ERR_FORMAT);
    /* whatever is done to this program, it prints something else */
    assert_int_equal(nc_tir_optimize_tasm("push 1 push 2 pop 2 dup 15 write_io 1 halt", &options,
                                          &tasm, NULL, &err),
                     NC_ERR_MISMATCH);
    assert_non_null(strstr(err.message, "digest"));
    /* and this one fails at an assertion that has a name */
    digest.public_input = &word;
    digest.public_count = 1;
    assert_int_equal(nc_tir_execute(own, &digest, &x, &err), NC_OK);
    word = x.output[0];
    nc_tir_free_output(&x);
    options.samples = &digest;
    assert_int_equal(nc_tir_optimize_tasm(own, &options, &tasm, NULL, &err), NC_ERR_MISMATCH);
    assert_non_null(strstr(err.message, "digest"));
    options.guide = 4097;
    assert_int_equal(nc_tir_optimize_tasm("halt", &options, &tasm, NULL, &err), NC_ERR_ARG);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(processor_rows_for_a_loop_head),
        cmocka_unit_test(u32_rows_for_the_order_of_operands),
        cmocka_unit_test(u32_rows_for_chained_divisions),
        cmocka_unit_test(stack_rows_for_moves),
        cmocka_unit_test(ram_rows_for_program_rows),
        cmocka_unit_test(cascade_rows_for_processor_rows),
        cmocka_unit_test(hash_rows_for_program_rows),
        cmocka_unit_test(processor_rows_for_a_known_count),
        cmocka_unit_test(processor_rows_for_a_loop_that_counts),
        cmocka_unit_test(stack_rows_for_processor_rows),
        cmocka_unit_test(a_call_before_a_return_falls_into_its_function),
        cmocka_unit_test(modules_behave_alike_on_other_inputs),
        cmocka_unit_test(what_the_sample_does_not_show_stays),
        cmocka_unit_test(the_reason_is_named),
        cmocka_unit_test(random_programs_behave_alike_on_other_inputs),
        cmocka_unit_test(samples_must_run),
    };
    return cmocka_run_group_tests_name("tir cliff", tests, NULL, NULL);
}
