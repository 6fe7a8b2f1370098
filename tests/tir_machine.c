/* nc_tirneural.h, sections tasm and machine: the interpreter and its table heights. */
#include "test.h"
#include "../nc_tirneural.h"

static nc_tir_execution run(const char *tasm, const nc_tir_input *input) {
    nc_tir_execution x;
    nc_error err;
    nc_status status = nc_tir_execute(tasm, input, &x, &err);
    if (status != NC_OK) fail_msg("%s at %d:%d", err.message, err.line, err.column);
    return x;
}

static uint64_t *fields_of(json_object *array, size_t *n) {
    uint64_t *out;
    *n = json_object_array_length(array);
    out = calloc(*n + 1, sizeof *out);
    json_fields(array, out, *n);
    return out;
}

static nc_tir_outcome outcome_of(const char *reason) {
    static const struct {
        const char *start;
        nc_tir_outcome outcome;
    } table[] = {{"inverse", NC_TIR_CRASH_ZERO},     {"log of zero", NC_TIR_CRASH_ZERO},
                 {"division", NC_TIR_CRASH_ZERO},    {"not u32", NC_TIR_CRASH_U32},
                 {"assert", NC_TIR_CRASH_ASSERT},    {"secret input", NC_TIR_CRASH_INPUT},
                 {"no secret", NC_TIR_CRASH_INPUT},  {"public input", NC_TIR_CRASH_INPUT},
                 {"sponge", NC_TIR_CRASH_SPONGE},    {"jump stack", NC_TIR_CRASH_JUMP},
                 {"instruction", NC_TIR_CRASH_JUMP}, {"stack too", NC_TIR_CRASH_STACK}};
    size_t i;
    for (i = 0; i < sizeof table / sizeof *table; i++)
        if (!strncmp(reason, table[i].start, strlen(table[i].start))) return table[i].outcome;
    fail_msg("unknown reason '%s'", reason);
    return NC_TIR_HALTED;
}

static void check_vector(json_object *v) {
    nc_tir_input input = {0};
    nc_tir_execution x;
    size_t pairs = 0, i, n;
    uint64_t *in, *secret, *digests, ram[128], expected[32];
    json_object *reason = member(v, "reason"), *h = member(v, "heights");
    const char *name = json_object_get_string(member(v, "name"));
    in = fields_of(member(v, "public_input"), &input.public_count);
    secret = fields_of(member(v, "secret_input"), &input.secret_count);
    input.digest_count = json_object_array_length(member(v, "secret_digests"));
    digests = calloc(5 * input.digest_count + 1, 8);
    for (i = 0; i < input.digest_count; i++)
        json_fields(json_object_array_get_idx(member(v, "secret_digests"), i), digests + 5 * i, 5);
    {
        json_object_object_foreach(member(v, "ram"), key, value) {
            assert_true(pairs < 64);
            ram[2 * pairs] = strtoull(key, NULL, 10);
            ram[2 * pairs++ + 1] = json_u64(value);
        }
    }
    input.public_input = in;
    input.secret_input = secret;
    input.secret_digests = digests;
    input.ram = ram;
    input.ram_count = pairs;
    if (strstr(json_object_get_string(member(v, "program")), "horner_step"))
        input.machine = NC_TIR_TARGET_TRITON_MAIN;
    x = run(json_object_get_string(member(v, "program")), &input);
    if (reason) {
        /* The vectors' interpreter looks at the operands first, the machine at the depth. */
        const int shallow = x.outcome == NC_TIR_CRASH_STACK && x.depth < 26 &&
                            x.depth == json_u64(member(v, "depth"));
        if (!shallow && x.outcome != outcome_of(json_object_get_string(reason)))
            fail_msg("%s: %s, not %s", name, nc_tir_outcome_str(x.outcome),
                     json_object_get_string(reason));
    } else {
        const struct {
            const char *name;
            uint64_t height;
        } heights[] = {
            {"program", x.program}, {"processor", x.processor},   {"op_stack", x.op_stack},
            {"ram", x.ram},         {"jump_stack", x.jump_stack}, {"hash", x.hash},
            {"cascade", x.cascade}, {"lookup", x.lookup},         {"u32", x.u32}};
        if (x.outcome != NC_TIR_HALTED) fail_msg("%s: %s", name, nc_tir_outcome_str(x.outcome));
        json_fields(member(v, "stack_top16"), expected, 16);
        for (i = 0; i < 16; i++)
            if (x.stack[i] != expected[i]) fail_msg("%s: st%zu differs", name, i);
        assert_int_equal(x.depth, json_u64(member(v, "depth")));
        n = json_object_array_length(member(v, "output"));
        assert_int_equal(x.output_count, n);
        for (i = 0; i < n; i++)
            assert_int_equal(x.output[i],
                             json_u64(json_object_array_get_idx(member(v, "output"), i)));
        for (i = 0; i < sizeof heights / sizeof *heights; i++)
            if (heights[i].height != json_u64(member(h, heights[i].name)))
                fail_msg("%s: %s is %llu, not %llu", name, heights[i].name,
                         (unsigned long long)heights[i].height,
                         (unsigned long long)json_u64(member(h, heights[i].name)));
        assert_int_equal(x.padded_height, json_u64(member(v, "padded_height")));
    }
    nc_tir_free_output(&x);
    free(in);
    free(secret);
    free(digests);
}

static void every_vector_of_the_independent_interpreter_agrees(void **state) {
    char path[1024], *line = NULL;
    size_t room = 0, count = 0;
    FILE *file;
    (void)state;
    if (!shared_data()) {
        printf("skipped: no shared data\n");
        skip();
    }
    snprintf(path, sizeof path, "%s/tir/tvm_vectors.jsonl", shared_data());
    file = fopen(path, "r");
    assert_non_null(file);
    while (getline(&line, &room, file) > 0) {
        json_object *v = json_tokener_parse(line);
        assert_non_null(v);
        check_vector(v);
        json_object_put(v);
        count++;
    }
    printf("%zu programs\n", count);
    assert_int_equal(count, 417);
    free(line);
    fclose(file);
}

/* The program of triton-vm's own tests (stark.rs of 7.0.0 and 9.0.1) that executes every instruction,
 * with the input that they give it; its digest is a known answer there, too. */
static const char every_instruction[] =
    "push 100000 push 0 push 5 read_io 5 merkle_step merkle_step_mem divine 5 assert_vector pop 5 "
    "assert pop 2 push 1 push 2 push 3 place 2 pick 1 swap 2 dup 2 assert addi -2 assert addi -1 "
    "assert assert push 0 push 0 push 0 push 500 push 800 xb_dot_step xx_dot_step write_io 5 "
    "push 1 push 2 push 3 push 7 push 8 push 9 dup 3 dup 3 dup 3 xx_add dup 4 dup 4 dup 4 xx_mul "
    "x_invert push 42 xb_mul add mul addi 0 invert mul add eq pop 1 "
    "push 38 push 2 pow push 1337 add split dup 1 dup 1 lt pop 1 dup 1 and dup 1 xor push 9 "
    "log_2_floor pop 1 div_mod pop_count pop 2 sponge_init divine 5 divine 5 sponge_absorb "
    "push 42 sponge_absorb_mem pop 1 sponge_squeeze hash pop 5 push 300 read_mem 5 swap 6 "
    "write_mem 5 pop 1 push 0 skiz nop push 1 skiz nop push 0 push 2 push 0 push 0 push 0 push 0 "
    "push 0 call rec_or_ret pop 5 pop 2 push 2 call rec pop 1 halt "
    "rec: dup 0 push 0 eq skiz return push -1 add recurse "
    "rec_or_ret: swap 5 push -1 add swap 5 recurse_or_return";

static void the_released_machine_executes_every_instruction_of_its_own_test(void **state) {
    static const nc_gl known[5] = {UINT64_C(16249222752446630867), UINT64_C(9491561388146595314),
                                   UINT64_C(17212103075750520093), UINT64_C(13456916676490887543),
                                   UINT64_C(3342244920869747600)};
    nc_gl leaf[3][5], root[5], public_input[5], secret[15], ram[2 * 1005];
    nc_tir_input input = {0};
    nc_tir_execution x;
    size_t i;
    (void)state;
    for (i = 0; i < 15; i++) leaf[i / 5][i % 5] = 3 + i / 5; /* nodes 3, 4 and 5 of a tree */
    nc_gl_tip5_hash_pair(leaf[1], leaf[2], root);
    nc_gl_tip5_hash_pair(root, leaf[0], root);
    for (i = 0; i < 5; i++) secret[i] = root[4 - i];
    for (; i < 15; i++) secret[i] = 1337;
    for (i = 0; i < 1005; i++) {
        ram[2 * i] = i < 1000 ? i : 100000 + i - 1000;
        ram[2 * i + 1] = i < 1000 ? 42 + i : 3;
    }
    memcpy(public_input, leaf[2], sizeof public_input);
    input.public_input = public_input;
    input.secret_input = secret;
    input.secret_digests = leaf[1];
    input.ram = ram;
    input.public_count = 5;
    input.secret_count = 15;
    input.digest_count = 1;
    input.ram_count = 1005;
    x = run(every_instruction, &input);
    assert_int_equal(x.outcome, NC_TIR_HALTED);
    assert_int_equal(x.depth, 16);
    for (i = 0; i < 5; i++) assert_int_equal(x.stack[11 + i], known[i]);
    assert_int_equal(x.ram, 5 + 4 + 6 + 10 + 5 + 5);
    assert_int_equal(x.output_count, 5);
    assert_int_equal(x.output[0], 804); /* rhs: one element, then three */
    assert_int_equal(x.output[1], 506);
    /* RAM[a] = a + 42: 842 (542, 543, 544) + (843, 844, 845) (545, 546, 547) mod X^3 - X + 1 */
    assert_int_equal(x.output[2], nc_gl_sub(842 * 542 + 843 * 545, 844 * 547 + 845 * 546));
    nc_tir_free_output(&x);
}

/* What runs on one machine and is refused by name on the other. */
static void check_machine(const char *tasm, int release, int on_main) {
    nc_tir_input input = {0};
    nc_tir_execution x;
    nc_error err;
    int machine;
    for (machine = 0; machine < 3; machine++) {
        const int runs = machine == NC_TIR_TARGET_TRITON_MAIN ? on_main : release;
        input.machine = (nc_tir_target)machine;
        assert_int_equal(nc_tir_execute(tasm, &input, &x, &err), runs ? NC_OK : NC_ERR_FORMAT);
        if (runs)
            assert_int_equal(x.outcome, NC_TIR_HALTED);
        else
            assert_int_equal(err.column, 5);
        nc_tir_free_output(&x);
    }
}

static void each_machine_has_its_own_steps(void **state) {
    nc_tir_input input = {0};
    nc_tir_execution a, b;
    (void)state;
    check_machine("nop xx_dot_step halt", 1, 0);
    check_machine("nop xb_dot_step halt", 1, 0);
    check_machine("nop b_horner_step halt", 0, 1);
    check_machine("nop x_horner_step halt", 0, 1);
    check_machine("nop or halt", 0, 0);
    input.machine = (nc_tir_target)4;
    assert_int_equal(nc_tir_execute("halt", &input, &a, NULL), NC_ERR_ARG);
    /* one opcode, two instructions: the words, and so the digest, are the same */
    input.machine = NC_TIR_TARGET_TRITON_MAIN;
    assert_int_equal(nc_tir_execute("b_horner_step x_horner_step halt", &input, &b, NULL), NC_OK);
    a = run("xx_dot_step xb_dot_step halt", NULL);
    assert_memory_equal(a.stack + 11, b.stack + 11, 5 * sizeof *a.stack);
}

static void hand_computed_heights_of_small_programs(void **state) {
    nc_tir_execution x = run("push 5 split pop 2 halt", NULL);
    (void)state;
    assert_int_equal(x.processor, 4);
    assert_int_equal(x.op_stack, 1 + 1 + 2);
    assert_int_equal(x.u32, 2 + 2);  /* (split, 5, 0): 2 + floor(log2 5) */
    assert_int_equal(x.program, 10); /* 2 + 1 + 2 + 1 words, padded */
    assert_int_equal(x.hash, 6);
    x = run("push 3 push 7 lt push 3 push 7 lt halt", NULL); /* one entry, counted once */
    assert_int_equal(x.u32, 2 + 2);
    assert_int_equal(x.stack[0], 0);
    x = run("push 10 call f halt f: skiz return push 1 return", NULL);
    assert_int_equal(x.processor, 5);
    assert_int_equal(x.jump_stack, 5);
    x = run("push 9 push 8 push 100 write_mem 2 read_mem 1 halt", NULL); /* pointer 102 */
    assert_int_equal(x.ram, 3);
    assert_int_equal(x.stack[0], 101);
    assert_int_equal(x.stack[1], 0);
}

static void static_model_pads_at_the_cliffs(void **state) {
    char tasm[20000] = "";
    nc_tir_heights h;
    nc_error err;
    const char *table;
    int n;
    (void)state;
    for (n = 1; n <= 1025; n++) {
        strcat(tasm, "push 1\n");
        if (n < 1023) continue;
        assert_int_equal(nc_tir_profile_static(tasm, &h, &err), NC_OK);
        assert_int_equal(nc_tir_tallest(&h, &table), n);
        assert_string_equal(table, "processor");
        assert_int_equal(nc_tir_padded((uint64_t)n), n <= 1024 ? 1024 : 2048);
    }
    assert_int_equal(nc_tir_padded(0), 1);
    assert_int_equal(
        nc_tir_profile_static("xb_mul x_invert xx_dot_step xb_dot_step xx_add", &h, &err), NC_OK);
    assert_int_equal(h.processor, 5);
    assert_int_equal(h.op_stack, 4);
    assert_int_equal(h.ram, 0);
    assert_int_equal(nc_tir_profile_static("lt\nhash\nread_mem 3\ncall a\naddi 4\n", &h, &err),
                     NC_OK);
    assert_int_equal(h.processor, 6);
    assert_int_equal(h.hash, 6);
    assert_int_equal(h.u32, 33);
    assert_int_equal(h.op_stack, 4);
    assert_int_equal(h.ram, 3);
    assert_int_equal(h.jump_stack, 1);
}

static void malformed_tasm_is_refused_with_its_position(void **state) {
    static const struct {
        const char *text;
        int line, column;
    } bad[] = {{"push 1\nfrobnicate\n", 2, 1},
               {"push\n", 1, 5},
               {"push 12x\n", 1, 6},
               {"pop 6\n", 1, 5},
               {"pop 0\n", 1, 5},
               {"dup 16\n", 1, 5},
               {"push 18446744069414584321\n", 1, 6},
               {"a: a:\n", 1, 4},
               {"nop\n :\n", 1, 1}, /* a label, but named as an instruction */
               {"nop : ", 1, 1},
               {"halt\n:\n", 1, 1},
               {"nop nop\n  ;\n", 2, 3},
               {"nop /* no end\n", 1, 5},
               {"nop /* an end\n */ call\n b nop dup\n", 3, 11},
               {"nop\n  hint a: B<c = stack[0]", 2, 15},
               {"nop\ncall b\n", 2, 1}};
    nc_tir_execution x;
    nc_error err;
    size_t i;
    (void)state;
    for (i = 0; i < sizeof bad / sizeof *bad; i++) {
        assert_int_equal(nc_tir_execute(bad[i].text, NULL, &x, &err), NC_ERR_FORMAT);
        assert_int_equal(err.line, bad[i].line);
        assert_int_equal(err.column, bad[i].column);
    }
    assert_int_equal(nc_tir_execute(NULL, NULL, &x, &err), NC_ERR_ARG);
    x = run("a: recurse", NULL);
    assert_int_equal(x.outcome, NC_TIR_CRASH_JUMP);
    x = run("call a a: recurse", NULL);
    assert_int_equal(x.outcome, NC_TIR_CRASH_CYCLES);
    x = run("", NULL);
    assert_int_equal(x.outcome, NC_TIR_CRASH_JUMP);
}

/* What the machine's own parser takes and what it refuses (triton-isa 9.0.1; the texts were compared
 * with it, as were 100,000 random ones and every letter of Unicode). */
static const char *const programs[] = {
    "",
    "push 1\x0b\x0chalt",
    "push\n1\rhalt",
    "push\xe2\x80\xa8"
    "1\xc2\xa0halt\xe3\x80\x80",
    "\xc2\x85push\xe1\x9a\x80"
    "1\xe2\x81\x9fhalt",
    "push// one\n1//two\rhalt//three",
    "push/**/1/* one\n* / */halt/***/",
    "push +5 push -5 push 00012 push -0 push +0",
    "push 18446744069414584320 push -18446744069414584320 addi -1",
    "dup 0 dup 15 swap 0 pick 9 place 10 pop 1 read_io 5",
    "foo:push 1 call foo",
    "foo : foo2\n:_: a-b:_-:",
    "break: call break break halt break",
    "or: b_horner_step: call or call b_horner_step",
    "gr\xc3\xb6\xc3\x9f"
    "e: call gr\xc3\xb6\xc3\x9f"
    "e",
    "a\xc2\xb2: \xe6\x97\xa5\xe6\x9c\xac: halt",
    "assert error_id 1 assert_vector error_id -2",
    "assert// why\nerror_id +007/* so */halt",
    "assert error_id 170141183460469231731687303715884105727",
    "assert error_id -170141183460469231731687303715884105728",
    "hint a = stack[0]halt",
    "hint a:T=stack[0..1]hint b_1: **T_2 = stack[ 01 .. 3 ]",
    "hint \xc3\xa4\xd9\xa3 : A /**/ < *B < c >, D< > ,> = // x\nstack[//y\n18446744073709551615]",
    "hint _ = stack[0../**/18446744073709551615]",
};
static const char *const no_programs[] = {
    "push 0x10",
    "dup 01",
    "dup 16",
    "dup +1",
    "pop 05",
    "pop 0",
    "pop 6",
    "push",
    "push --1",
    "push + 1",
    "push 1.",
    "push1",
    "push 1push 2",
    "push 18446744069414584321",
    "push -18446744069414584321",
    "push 340282366920938463463374607431768211456",
    "push 1 /* no end",
    "push 1 /*/",
    "push 1 / 2",
    "push\xe2\x80\x8b"
    "1",
    "\xef\xbb\xbfpush 1",
    "add:",
    "call add add2: halt",
    "xx_dot_step:",
    "hint:",
    "error_id :",
    "error_message:",
    "1a:",
    "-a:",
    "a.b:",
    "a/**/:",
    "@a:",
    "__@a:",
    "\xc2\xb2"
    "a:",
    "\xe2\x86\x92:",
    "\xc3:",
    "\xed\xa0\x80:",
    "a: a:",
    "call a",
    "call a: a: halt",
    "b_horner_step",
    "or",
    "PUSH 1",
    "error_id 1",
    "assert error_id",
    "assert error_id x",
    "assert error_id 1 error_id 2",
    "assert a: error_id 1",
    "assert break error_id 1",
    "assert hint a = stack[0] error_id 1",
    "assert error_id 170141183460469231731687303715884105728",
    "assert error_id -170141183460469231731687303715884105729",
    "hint A = stack[0]",
    "hint 1a = stack[0]",
    "hint a stack[0]",
    "hint a = stack [0]",
    "hint a = stack[]",
    "hint a = stack[-1]",
    "hint a = stack[3..3]",
    "hint a = stack[0..18446744073709551616]",
    "hint a = stack[18446744073709551616]",
    "hint a /**/ = stack[0]",
    "hint a: = stack[0]",
    "hint a: 1 = stack[0]",
    "hint a: A /**/ = stack[0]",
    "hint a: A<> = stack[0]",
    "hint a: A<B = stack[0]",
    "hint a: A<B,,C> = stack[0]",
    "hint a: A<B C> = stack[0]",
    "hint a: A<,> = stack[0]",
};

static void text_is_taken_and_refused_as_by_the_machines_own_parser(void **state) {
    nc_tir_execution x;
    uint32_t count;
    nc_error err;
    char deep[700] = "hint a: ";
    size_t i;
    (void)state;
    for (i = 0; i < sizeof programs / sizeof *programs; i++) {
        if (nc_tir_execute(programs[i], NULL, &x, &err) != NC_OK)
            fail_msg("'%s': %d:%d %s", programs[i], err.line, err.column, err.message);
        nc_tir_free_output(&x);
    }
    for (i = 0; i < sizeof no_programs / sizeof *no_programs; i++)
        if (nc_tir_execute(no_programs[i], NULL, &x, &err) != NC_ERR_FORMAT)
            fail_msg("'%s' is taken", no_programs[i]);
    x = run("push 1 // \n//\n//", NULL); /* the machine refuses it */
    assert_int_equal(nc_tir_count("__@a: call @b: call c swap 255", &count, &err), NC_ERR_FORMAT);
    assert_int_equal(nc_tir_count("@b: __@a: call @b call c swap 255 or", &count, &err), NC_OK);
    assert_int_equal(count, 4);
    assert_int_equal(nc_tir_count("a@b:", &count, &err), NC_ERR_FORMAT);
    for (i = 0; i < 64; i++) strcat(deep, "a<");
    assert_int_equal(nc_tir_count(deep, &count, &err), NC_ERR_FORMAT);
    assert_non_null(strstr(err.message, "64"));
}

static void words_mean_what_they_mean_to_the_machine(void **state) {
    nc_tir_execution x =
        run("push\n-1// x\npush +007/**/ call f halt f :push 00 addi -2 return", NULL);
    (void)state;
    assert_int_equal(x.outcome, NC_TIR_HALTED);
    assert_int_equal(x.stack[0], NC_GL_P - 2);
    assert_int_equal(x.stack[1], 7);
    assert_int_equal(x.stack[2], NC_GL_P - 1);
    assert_string_equal(x.error_id, "");
    x = run("push 2 push 1 assert error_id 5 assert error_id -0012", NULL);
    assert_int_equal(x.outcome, NC_TIR_CRASH_ASSERT);
    assert_string_equal(x.error_id, "-12");
    x = run("dup 0 dup 0 dup 0 dup 0 push 2 assert_vector error_id "
            "+170141183460469231731687303715884105727",
            NULL);
    assert_string_equal(x.error_id, "170141183460469231731687303715884105727");
    x = run("dup 0 dup 0 dup 0 dup 0 push 2 assert_vector halt assert error_id -0", NULL);
    assert_int_equal(x.outcome, NC_TIR_CRASH_ASSERT);
    assert_string_equal(x.error_id, "");
    x = run("assert_vector error_id 7", NULL); /* the depth comes first */
    assert_int_equal(x.outcome, NC_TIR_CRASH_STACK);
    x = run("push 0 assert error_id -0", NULL);
    assert_string_equal(x.error_id, "0");
}

static void inputs_that_are_no_field_elements_are_refused_by_name(void **state) {
    static const nc_gl words[10] = {0, 1, 2, 3, 4, 5, 6, 7, NC_GL_P, UINT64_MAX};
    nc_tir_input input[4] = {{0}};
    const char *expected[4] = {"public_input[8] is not a field element: 18446744069414584321",
                               "secret_input[8] is not a field element: 18446744069414584321",
                               "secret_digests[8] is not a field element: 18446744069414584321",
                               "ram[8] is not a field element: 18446744069414584321"};
    nc_tir_execution x;
    nc_error err;
    int i, ends;
    (void)state;
    for (ends = 0; ends < 2; ends++) { /* just before the word, and with it */
        input[0].public_input = input[1].secret_input = words;
        input[2].secret_digests = input[3].ram = words;
        input[0].public_count = input[1].secret_count = 8 + (size_t)ends;
        input[2].digest_count = 1 + (size_t)ends;
        input[3].ram_count = 4 + (size_t)ends;
        for (i = 0; i < 4; i++) {
            assert_int_equal(nc_tir_execute("halt", &input[i], &x, &err),
                             ends ? NC_ERR_ARG : NC_OK);
            if (ends) assert_string_equal(err.message, expected[i]);
            nc_tir_free_output(&x);
        }
    }
    assert_int_equal(nc_tir_profile_dynamic("halt", &input[0], 1, &x, &err), NC_ERR_ARG);
    assert_string_equal(err.message, expected[0]);
    memset(input, 0, sizeof input);
    input[0].secret_count = 1;
    assert_int_equal(nc_tir_execute("halt", &input[0], &x, &err), NC_ERR_ARG);
    assert_string_equal(err.message, "secret_input is null");
}

/* push 169, call, 169 rounds of 6 rows, a last one of 5, halt: 1,022 rows; nops make the rest. */
static void the_real_machine_pads_at_the_cliff(void **state) {
    static const char loop[] =
        "push 169 call f halt f: dup 0 push 0 eq skiz return addi -1 recurse";
    char tasm[256];
    const char *table;
    int nops;
    (void)state;
    for (nops = 1; nops <= 3; nops++) {
        nc_tir_execution x;
        snprintf(tasm, sizeof tasm, "%s%s%s%s", "nop ", nops > 1 ? "nop " : "",
                 nops > 2 ? "nop " : "", loop);
        x = run(tasm, NULL);
        assert_int_equal(x.outcome, NC_TIR_HALTED);
        assert_int_equal(x.processor, 1022 + nops);
        assert_int_equal(nc_tir_tallest_run(&x, &table), 1022 + nops);
        assert_string_equal(table, "processor");
        assert_int_equal(x.padded_height, nops < 3 ? 1024 : 2048);
    }
}

static void the_dynamic_profile_finds_the_worst_sample(void **state) {
    static const char program[] =
        "read_io 1 call f halt f: dup 0 push 0 eq skiz return addi -1 recurse";
    static const nc_gl rounds[3] = {3, 300, 20};
    nc_tir_input input[3] = {{0}};
    nc_tir_execution x;
    nc_error err;
    int i;
    (void)state;
    for (i = 0; i < 3; i++) {
        input[i].public_input = &rounds[i];
        input[i].public_count = 1;
    }
    assert_int_equal(nc_tir_profile_dynamic(program, input, 3, &x, &err), NC_OK);
    assert_int_equal(x.processor, 300 * 6 + 5 + 3);
    assert_int_equal(x.padded_height, 2048);
    nc_tir_free_output(&x);
    input[1].public_count = 0;
    assert_int_equal(nc_tir_profile_dynamic(program, input, 3, &x, &err), NC_ERR_MISMATCH);
    assert_int_equal(x.outcome, NC_TIR_CRASH_INPUT);
    assert_non_null(strstr(err.message, "sample input 1"));
    nc_tir_free_output(&x);
    assert_int_equal(nc_tir_profile_dynamic("frob", input, 3, &x, &err), NC_ERR_FORMAT);
    assert_int_equal(nc_tir_profile_dynamic(program, input, 0, &x, &err), NC_ERR_ARG);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_vector_of_the_independent_interpreter_agrees),
        cmocka_unit_test(the_released_machine_executes_every_instruction_of_its_own_test),
        cmocka_unit_test(each_machine_has_its_own_steps),
        cmocka_unit_test(hand_computed_heights_of_small_programs),
        cmocka_unit_test(static_model_pads_at_the_cliffs),
        cmocka_unit_test(the_real_machine_pads_at_the_cliff),
        cmocka_unit_test(the_dynamic_profile_finds_the_worst_sample),
        cmocka_unit_test(malformed_tasm_is_refused_with_its_position),
        cmocka_unit_test(text_is_taken_and_refused_as_by_the_machines_own_parser),
        cmocka_unit_test(words_mean_what_they_mean_to_the_machine),
        cmocka_unit_test(inputs_that_are_no_field_elements_are_refused_by_name),
    };
    return cmocka_run_group_tests_name("tir machine", tests, NULL, NULL);
}
