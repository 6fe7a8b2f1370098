/* nc_tirneural.h, sections programs, peephole, lowering. */
#include "test.h"
#include "../nc_tirneural.h"

static nc_tir_program *parse(const char *text) {
    nc_tir_program *program;
    nc_error err;
    if (nc_tir_parse(&program, text, strlen(text), &err) != NC_OK)
        fail_msg("%d:%d %s", err.line, err.column, err.message);
    return program;
}

static void check_round_trip(const char *text) {
    nc_tir_program *program = parse(text);
    char *again;
    assert_int_equal(nc_tir_write(program, &again), NC_OK);
    assert_string_equal(text, again);
    nc_tir_free_text(again);
    nc_tir_destroy(program);
}

static void every_file_of_the_corpus_round_trips_and_lowers_byte_for_byte(void **state) {
    static module_list list;
    size_t i, lowered = 0;
    (void)state;
    list_modules(&list, 1);
    for (i = 0; i < list.count; i++) {
        char *path = list.path[i], *text = read_text(path), *expected, *tasm;
        nc_tir_program *program;
        check_round_trip(text);
        if (!strstr(path, ".raw.tir")) {
            strcpy(path + strlen(path) - 4, ".tasm");
            expected = read_text(path);
            program = parse(text);
            assert_int_equal(nc_tir_lower(program, NC_TIR_TARGET_TRIDENT, &tasm), NC_OK);
            if (strcmp(tasm, expected)) fail_msg("%s is lowered differently", path);
            nc_tir_free_text(tasm);
            nc_tir_destroy(program);
            free(expected);
            lowered++;
        }
        free(text);
    }
    printf("%zu files read, %zu lowered\n", list.count, lowered);
    assert_int_equal(list.count, 48);
    assert_int_equal(lowered, 24);
}

static void the_peephole_turns_every_raw_file_into_what_the_compiler_lowers(void **state) {
    static module_list list;
    size_t i, cleaned = 0, before = 0, after = 0;
    (void)state;
    list_modules(&list, 1);
    for (i = 0; i < list.count; i++) {
        char *path = list.path[i], *raw, *expected, *text;
        nc_tir_program *program, *result;
        if (!strstr(path, ".raw.tir")) continue;
        raw = read_text(path);
        strcpy(path + strlen(path) - 8, ".tir");
        expected = read_text(path);
        program = parse(raw);
        if (nc_tir_peephole_of(program, NC_TIR_TARGET_TRIDENT, &result) != NC_OK)
            fail_msg("%s", path);
        assert_int_equal(nc_tir_write(result, &text), NC_OK);
        if (strcmp(text, expected)) {
            size_t k = 0;
            while (text[k] == expected[k]) k++;
            fail_msg("%s differs after %zu bytes: '%.60s' is not '%.60s'", path, k,
                     text + (k > 20 ? k - 20 : 0), expected + (k > 20 ? k - 20 : 0));
        }
        before += nc_tir_size(program);
        after += nc_tir_size(result);
        cleaned++;
        nc_tir_free_text(text);
        nc_tir_destroy(program);
        nc_tir_destroy(result);
        free(raw);
        free(expected);
    }
    printf("%zu modules, %zu operations to %zu\n", cleaned, before, after);
    assert_int_equal(cleaned, 24);
}

/* The rules of a compiler, or with target -1 those that are safe. */
static void check_rules(int target, const char *raw, const char *expected) {
    nc_tir_program *program = parse(raw), *result;
    char *text;
    assert_int_equal(target < 0 ? nc_tir_peephole(program, &result)
                                : nc_tir_peephole_of(program, (nc_tir_target)target, &result),
                     NC_OK);
    assert_int_equal(nc_tir_write(result, &text), NC_OK);
    assert_string_equal(text, expected);
    nc_tir_free_text(text);
    nc_tir_destroy(program);
    nc_tir_destroy(result);
}

static void check_peephole(const char *raw, const char *expected) {
    check_rules(NC_TIR_TARGET_TRIDENT, raw, expected);
}

/* What the lowered code writes, as one number of decimal digits. */
static uint64_t output_of(nc_tir_program *program) {
    nc_tir_execution x;
    uint64_t digits = 0;
    size_t i;
    char *tasm;
    assert_int_equal(nc_tir_lower(program, NC_TIR_TARGET_TRIDENT, &tasm), NC_OK);
    assert_int_equal(nc_tir_execute(tasm, NULL, &x, NULL), NC_OK);
    assert_int_equal(x.outcome, NC_TIR_HALTED);
    for (i = 0; i < x.output_count; i++) digits = 10 * digits + x.output[i];
    nc_tir_free_output(&x);
    nc_tir_free_text(tasm);
    return digits;
}

/* Rules that keep the meaning, of the two compilers and of both. */
static void the_safe_rules_keep_the_meaning(void **state) {
    static const char falling[] = "push 1\npush 2\npush 3\npush 4\npush 5\npush 6\nswap 3\npop 1\n"
                                  "swap 2\npop 1\nswap 1\npop 1\nwrite_io 3\nhalt\n";
    static const char store[] = "push 9\nswap 1\nwrite_mem 1\npop 1\nadd\n";
    static const char once[] = "swap 1\npop 1\n";
    nc_tir_program *program = parse(falling), *safe, *old, *newest;
    uint64_t seed = 9;
    int trial, i;
    (void)state;
    assert_int_equal(nc_tir_peephole(program, &safe), NC_OK);
    assert_int_equal(nc_tir_peephole_of(program, NC_TIR_TARGET_TRIDENT, &old), NC_OK);
    assert_int_equal(nc_tir_peephole_of(program, NC_TIR_TARGET_TRISHA, &newest), NC_OK);
    assert_int_equal(output_of(program), 421);
    assert_int_equal(output_of(safe), 421);
    assert_int_equal(output_of(newest), 421);
    assert_int_equal(output_of(old), 621); /* what the old compiler made of it */
    nc_tir_destroy(safe);
    nc_tir_destroy(old);
    nc_tir_destroy(newest);
    assert_int_equal(nc_tir_peephole_of(program, NC_TIR_TARGET_TRITON, &old), NC_ERR_ARG);
    assert_null(old);
    nc_tir_destroy(program);
    check_rules(-1, store, store);
    check_rules(-1, "pop 3\npop 4\nswap 0\nhint 2\nhint 4\n", "pop 5\npop 2\nhint 5\nhint 1\n");
    check_rules(-1, "swap 1\npop 1\nswap 1\npop 1\nswap 1\npop 1\n", "swap 3\npop 3\n");
    check_rules(-1, "pop 3\npop 14\npop 2\npop 1\n", "pop 3\npop 14\npop 3\n");
    check_rules(NC_TIR_TARGET_TRIDENT, "pop 3\npop 14\npop 1\n", "pop 5\npop 5\npop 5\npop 3\n");
    check_rules(-1, "swap 2\npop 1\nswap 2\npop 1\nswap 2\npop 1\n",
                "swap 2\npop 1\nswap 2\npop 1\nswap 2\npop 1\n");
    check_rules(NC_TIR_TARGET_TRISHA, store, "pop 1\nadd\n");
    check_rules(NC_TIR_TARGET_TRISHA, "pop 3\npop 4\nhint 2\nhint 4\n", "pop 7\nhint 6\n");
    check_rules(NC_TIR_TARGET_TRISHA, "swap 1\npop 1\nswap 1\npop 1\nadd\n",
                "swap 2\npop 2\nadd\n");
    check_rules(NC_TIR_TARGET_TRISHA, once, once);
    check_rules(NC_TIR_TARGET_TRISHA, "swap 5\npop 1\nswap 4\npop 1\nswap 3\npop 1\n",
                "swap 5\npop 1\nswap 4\npop 1\nswap 3\npop 1\n");
    program = parse("pop 65535\npop 65535\npop 7\n");
    assert_int_equal(nc_tir_peephole_of(program, NC_TIR_TARGET_TRIDENT, &old), NC_OK);
    assert_int_equal(nc_tir_size(old), 26216);
    nc_tir_destroy(old);
    nc_tir_destroy(program);
    for (trial = 0; trial < 2000; trial++) { /* moves at random, half of them as in chains */
        char raw[1200] = "";
        for (i = 1; i < 20; i++) sprintf(raw + strlen(raw), "push %d\n", i % 9 + 1);
        for (i = 0; i < 12; i++) {
            const int depth = (int)(test_random(&seed) % 4), kind = (int)(test_random(&seed) % 5);
            if (kind < 2)
                sprintf(raw + strlen(raw), "dup %d\n", depth);
            else if (kind < 4)
                sprintf(raw + strlen(raw), "swap %d\npop 1\n", kind == 2 ? 1 : depth);
            else
                sprintf(raw + strlen(raw), "swap %d\n", depth);
        }
        strcat(raw, "write_io 5\nhalt\n");
        program = parse(raw);
        assert_int_equal(nc_tir_peephole(program, &safe), NC_OK);
        if (output_of(program) != output_of(safe)) fail_msg("%s", raw);
        nc_tir_destroy(program);
        nc_tir_destroy(safe);
    }
}

/* Every rule of the old compiler's clean-up by itself, and what none of them touches. */
static void every_rule_of_the_peephole(void **state) {
    nc_tir_program *open;
    nc_tir_op op;
    (void)state;
    check_peephole("", "");
    check_peephole("hint 1\nhint 3\nadd\nhint 1\n", "hint 4\nadd\nhint 1\n");
    check_peephole("pop 5\npop 4\npop 3\n", "pop 5\npop 5\npop 2\n");
    check_peephole("swap 0\nadd\n", "add\n");
    check_peephole("push 9\nswap 1\nwrite_mem 1\npop 1\nadd\n", "pop 1\nadd\n");
    check_peephole("push 9\nswap 1\nwrite_mem 1\npop 1\nadd\npush 9\nread_mem 1\npop 1\nmul\n",
                   "add\nmul\n");
    check_peephole("push 9\nswap 1\nwrite_mem 1\npop 1\npush 9\nread_mem 1\npop 1\nmul\n"
                   "push 9\nread_mem 1\npop 1\n",
                   "push 9\nswap 1\nwrite_mem 1\npop 1\npush 9\nread_mem 1\npop 1\nmul\n"
                   "push 9\nread_mem 1\npop 1\n");
    check_peephole("add\ndup 0\npop 1\ndup 0\nswap 1\npop 1\nmul\n", "add\nmul\n");
    check_peephole("swap 3\nswap 3\nadd\nswap 2\nswap 3\n", "add\nswap 2\nswap 3\n");
    check_peephole("dup 1\ndup 1\nswap 2\npop 1\npop 1\nadd\n", "add\n");
    check_peephole("dup 1\ndup 1\nswap 2\npop 3\n", "dup 1\ndup 1\nswap 2\npop 3\n");
    check_peephole("swap 1\npop 1\nswap 1\npop 1\n", "swap 1\npop 1\nswap 1\npop 1\n");
    check_peephole("swap 1\npop 1\nswap 1\npop 1\nswap 1\npop 1\n", "swap 3\npop 3\n");
    check_peephole("swap 2\npop 1\nswap 2\npop 1\nswap 2\npop 1\nreturn\n",
                   "swap 4\nswap 3\nswap 2\npop 3\nreturn\n");
    check_peephole("swap 14\npop 1\nswap 14\npop 1\nswap 14\npop 1\nadd\n",
                   "swap 14\npop 3\nadd\n");
    check_peephole("swap 5\npop 1\nswap 4\npop 1\nswap 2\npop 1\nswap 7\npop 1\n",
                   "swap 5\npop 3\nswap 7\npop 1\n");
    check_peephole("if_else\n  dup 0\n  pop 1\nelse\n  hint 1\n  hint 1\nend\nloop x\n  pop 1\n"
                   "  pop 1\nend\nreveal E 7 2\n",
                   "if_else\nelse\n  hint 2\nend\nloop x\n  pop 2\nend\nreveal E 7 2\n");
    assert_int_equal(nc_tir_create(&open), NC_OK);
    memset(&op, 0, sizeof op);
    op.kind = NC_TIR_IF_ONLY;
    assert_int_equal(nc_tir_append(open, &op), NC_OK);
    {
        nc_tir_program *result;
        assert_int_equal(nc_tir_peephole(open, &result), NC_ERR_ARG);
        assert_int_equal(nc_tir_peephole(NULL, &result), NC_ERR_ARG);
    }
    nc_tir_destroy(open);
}

static void check_lowering(const char *tir, const char *expected) {
    nc_tir_program *program = parse(tir);
    char *tasm;
    assert_int_equal(nc_tir_lower(program, NC_TIR_TARGET_TRIDENT, &tasm), NC_OK);
    assert_string_equal(tasm, expected);
    nc_tir_free_text(tasm);
    nc_tir_destroy(program);
}

static void constants_labels_and_asm_are_written_as_the_compiler_writes_them(void **state) {
    (void)state;
    check_lowering("push 18446744069414584320\nneg\npush 18446744069414518785\npush 0\n",
                   "    push 18446744069414584320\n    push -1\n    mul\n"
                   "    push 18446744069414518785\n    push 0\n");
    check_lowering("entry @m\nfn_start @f\ncall @g\ncall g\ncall __g\nreturn\nfn_end\n"
                   "loop @l\nend\n",
                   "    call __@m\n    halt\n\n__@f:\n    call @g\n    call __g\n    call __g\n"
                   "    return\n    \n__@l:\n    dup 0\n    push 0\n    eq\n    skiz\n    return\n"
                   "    push -1\n    add\n    recurse\n\n");
    check_lowering("asm 0\n  \t swap  1 // x \t\r\n\n   \n      f:\n  \xc2\xa0pop 1\xe3\x80\x80\n"
                   "\xe2\x80\xa8 \xe2\x81\x9f\nend\n",
                   "    swap  1 // x\n    f:\n    pop 1\n");
}

static void own_sample_round_trips(void **state) {
    char *text = read_text("examples/data/sample.tir");
    (void)state;
    check_round_trip(text);
    check_round_trip("asm -3\n  swap 1\n  foo:\n    indented\nend\nproof_block ab12\n  push 1\n"
                     "  if_only\n    asm 0\n      nop\n    end\n  end\nend\nseal E 7 3\n");
    check_round_trip("");
    check_round_trip("asm -9223372036854775808\nend\nasm 9223372036854775807\nend\n");
    free(text);
}

static void lines_may_end_with_a_carriage_return(void **state) {
    static const char crlf[] = "comment a b\r\nif_only\r\n  asm -1\r\n    pop 1\r\n  end\r\n"
                               "end\r\nentry_parameters u32\r\npush 1\r\n";
    nc_tir_program *program;
    nc_error err;
    char *text;
    (void)state;
    assert_int_equal(nc_tir_parse(&program, crlf, sizeof crlf - 1, &err), NC_OK);
    assert_int_equal(nc_tir_write(program, &text), NC_OK);
    assert_string_equal(text, "comment a b\nif_only\n  asm -1\n    pop 1\n  end\nend\n"
                              "entry_parameters u32\npush 1\n");
    nc_tir_free_text(text);
    nc_tir_destroy(program);
}

/* What the builder takes the parser takes: asm of up to 65,535 characters, none of its lines the
   `end` that closes it. */
static void asm_is_written_so_that_it_can_be_read(void **state) {
    static const char *const bad[] = {"end\n", "nop\n  end\nnop\n", "end\r\n", "nop", "nop\n "};
    static char lines[65537];
    nc_tir_program *program, *again;
    nc_tir_op op;
    nc_error err;
    char *text;
    size_t i;
    (void)state;
    memset(&op, 0, sizeof op);
    op.kind = NC_TIR_ASM;
    assert_int_equal(nc_tir_create(&program), NC_OK);
    for (i = 0; i < sizeof bad / sizeof *bad; i++) {
        op.text = bad[i];
        assert_int_equal(nc_tir_append(program, &op), NC_ERR_ARG);
    }
    op.text = "ends:\n end x\n";
    assert_int_equal(nc_tir_append(program, &op), NC_OK);
    memset(lines, 'x', 65535);
    lines[65534] = '\n';
    op.text = lines;
    assert_int_equal(nc_tir_append(program, &op), NC_OK);
    assert_int_equal(nc_tir_write(program, &text), NC_OK);
    assert_int_equal(nc_tir_parse(&again, text, strlen(text), &err), NC_OK);
    nc_tir_free_text(text);
    assert_int_equal(nc_tir_write(again, &text), NC_OK);
    assert_non_null(strstr(text, lines));
    nc_tir_free_text(text);
    nc_tir_destroy(again);
    lines[65534] = 'x';
    lines[65535] = '\n';
    assert_int_equal(nc_tir_append(program, &op), NC_ERR_ARG);
    text = malloc(sizeof lines + 32);
    sprintf(text, "asm 0\n%send\n", lines);
    assert_int_equal(nc_tir_parse(&again, text, strlen(text), &err), NC_ERR_LIMIT);
    free(text);
    nc_tir_destroy(program);
}

/* 100,000 functions in bodies, each with bodies that wait for it: no deep recursion. */
static void functions_in_bodies_are_lowered_one_after_the_other(void **state) {
    static const char one[] = "if_only\nfn_start a\nfn_end\nend\n";
    const size_t n = sizeof one - 1, count = 100000;
    char *text = malloc(n * count), *tasm;
    nc_tir_program *program;
    nc_error err;
    size_t i;
    int target;
    (void)state;
    for (i = 0; i < count; i++) memcpy(text + n * i, one, n);
    assert_int_equal(nc_tir_parse(&program, text, n * count, &err), NC_OK);
    for (target = NC_TIR_TARGET_TRIDENT; target <= NC_TIR_TARGET_TRISHA; target++) {
        assert_int_equal(nc_tir_lower(program, (nc_tir_target)target, &tasm), NC_OK);
        nc_tir_free_text(tasm);
    }
    nc_tir_destroy(program);
    free(text);
}

/* Every rule of the lowering that the corpus does not reach, by hand. */
static void compound_operations_lower_by_the_rules(void **state) {
    static const struct {
        const char *tir, *tasm;
    } cases[] = {
        {"shl", "    push 2\n    pow\n    mul\n"},
        {"shr", "    push 2\n    pow\n    div_mod\n    swap 1\n    pop 1\n"},
        {"log2", "    log_2_floor\n"},
        {"neg", "    push -1\n    mul\n"},
        {"ext_mul", "    xb_mul\n"},
        {"ext_invert", "    x_invert\n"},
        {"sponge_load", "    sponge_absorb_mem\n"},
        {"merkle_load", "    merkle_step_mem\n"},
        {"assert 5", "    assert_vector\n"},
        {"reveal E 4 2", "    push 4\n    write_io 1\n    write_io 1\n    write_io 1\n"},
        {"seal E 4 7", "    push 0\n    push 0\n    push 4\n    hash\n    write_io 5\n"},
        {"ram_write 2", "    write_mem 2\n    pop 1\n"},
        {"call @other__f", "    call @other__f\n"},
        {"call __g", "    call __g\n"},
        {"asm 1\n  push 1\n  x:\nend", "    push 1\n    x:\n"},
        {"proof_block ab\n  push 1\nend",
         "    // proof_block ab\n    push 1\n    // end proof_block\n"},
        {"if_only\n  nop_is_no_tir\nend", NULL},
    };
    size_t i;
    (void)state;
    for (i = 0; i < sizeof cases / sizeof *cases; i++) {
        nc_tir_program *program;
        nc_error err;
        char *tasm;
        nc_status status = nc_tir_parse(&program, cases[i].tir, strlen(cases[i].tir), &err);
        if (!cases[i].tasm) {
            assert_int_equal(status, NC_ERR_FORMAT);
            assert_int_equal(err.line, 2);
            assert_int_equal(err.column, 3);
            continue;
        }
        assert_int_equal(status, NC_OK);
        assert_int_equal(nc_tir_lower(program, NC_TIR_TARGET_TRIDENT, &tasm), NC_OK);
        assert_string_equal(tasm, cases[i].tasm);
        nc_tir_free_text(tasm);
        nc_tir_destroy(program);
    }
}

/* One row of NC_TIR_KINDS, in what follows its name, its range and its lowering. */
static void check_kind(int kind, const char *name, const char *argument, int bodies, uint64_t least,
                       uint64_t most, const char *trident) {
    const int ranged = !strcmp(argument, "COUNT") || !strcmp(argument, "INDEX");
    const int newest = kind == NC_TIR_TARGET_CALL || kind == NC_TIR_ENTRY_PARAMETERS;
    nc_tir_program *program;
    nc_tir_op op = {(nc_tir_kind)kind, 2, ranged ? most + 1 : 7,
                    !strcmp(argument, "ASM")      ? "nop\n"
                    : !strcmp(argument, "LEAVES") ? "u32 field"
                                                  : "some_name"};
    nc_tir_heights heights;
    char *text, *tasm;
    int target;
    assert_int_equal(nc_tir_create(&program), NC_OK);
    if (ranged) {
        assert_int_equal(nc_tir_append(program, &op), NC_ERR_ARG);
        op.value = least - 1;
        assert_int_equal(nc_tir_append(program, &op), NC_ERR_ARG);
        op.value = most;
        assert_int_equal(nc_tir_append(program, &op), NC_OK);
        op.value = least;
    }
    assert_int_equal(nc_tir_append(program, &op), NC_OK);
    assert_int_equal(nc_tir_else(program), bodies == 2 ? NC_OK : NC_ERR_ARG);
    assert_int_equal(nc_tir_end(program), bodies ? NC_OK : NC_ERR_ARG);
    assert_int_equal(nc_tir_write(program, &text), NC_OK);
    if (strncmp(text, name, strlen(name)) != 0) fail_msg("%s is written '%s'", name, text);
    if (kind != NC_TIR_FN_START && kind != NC_TIR_FN_END)
        check_round_trip(text); /* only as pairs */
    for (target = 0; target < 4; target++) {
        const nc_status status = nc_tir_lower(program, (nc_tir_target)target, &tasm);
        if (target != NC_TIR_TARGET_TRISHA &&
            (newest || (!strcmp(argument, "INDEX") && target != NC_TIR_TARGET_TRIDENT))) {
            assert_int_equal(status, NC_ERR_UNSUPPORTED);
            continue;
        }
        if (target == NC_TIR_TARGET_TRISHA &&
            (newest || kind == NC_TIR_RAM_READ || kind == NC_TIR_RAM_WRITE)) {
            assert_int_equal(status, NC_ERR_UNSUPPORTED); /* not so many, not with that name */
            continue;
        }
        assert_int_equal(status, NC_OK);
        if (ranged && target == NC_TIR_TARGET_TRIDENT) {
            if (*trident) assert_non_null(strstr(tasm, strchr(trident, '#') ? "65535\n" : trident));
        } else if (nc_tir_profile_static(tasm, &heights, NULL) != NC_OK) {
            fail_msg("%s becomes no TASM:\n%s", name, tasm);
        } else if (*trident) {
            assert_true(heights.processor > 0);
        }
        nc_tir_free_text(tasm);
    }
    nc_tir_free_text(text);
    nc_tir_destroy(program);
}

static void every_kind_is_built_written_read_and_lowered_by_its_row(void **state) {
    (void)state;
#define CHECK(NAME, text, ARGUMENT, bodies, least, most, trident, triton, trisha)                  \
    check_kind(NC_TIR_##NAME, text, #ARGUMENT, bodies, least, most, trident);
    NC_TIR_KINDS(CHECK)
#undef CHECK
    assert_int_equal(NC_TIR_KIND_COUNT, 56); /* the newest compiler's */
    assert_int_equal(NC_TIR_PROOF_BLOCK, 53);
}

static void malformed_text_is_refused_with_line_and_column(void **state) {
    static const struct {
        const char *text;
        int status, line, column;
    } bad[] = {{"push 1\nflub\n", NC_ERR_FORMAT, 2, 1},
               {"push\n", NC_ERR_FORMAT, 1, 5},
               {"push x\n", NC_ERR_FORMAT, 1, 6},
               {"push 18446744073709551616\n", NC_ERR_FORMAT, 1, 6},
               {"push 0x10\n", NC_ERR_FORMAT, 1, 6},
               {"pop 65536\n", NC_ERR_FORMAT, 1, 5},
               {"target_call f 1\n", NC_ERR_FORMAT, 1, 16},
               {"entry_parameters field  u32\n", NC_ERR_FORMAT, 1, 18},
               {"entry_parameters digest\n", NC_ERR_FORMAT, 1, 18},
               {"entry_parameters u32 \n", NC_ERR_FORMAT, 1, 18},
               {"add 1\n", NC_ERR_FORMAT, 1, 5},
               {"end\n", NC_ERR_FORMAT, 1, 1},
               {"loop a\n  else\nend\n", NC_ERR_FORMAT, 2, 3},
               {"call \303\244\n", NC_ERR_FORMAT, 1, 6}, /* no ASCII, whatever the sign of char */
               {"if_else\nelse\nelse\nend\n", NC_ERR_FORMAT, 3, 1},
               {"if_only\n", NC_ERR_FORMAT, 2, 1},
               {"asm 0\n  nop\n", NC_ERR_FORMAT, 2, 1},
               {"asm 9223372036854775808\nend\n", NC_ERR_FORMAT, 1, 5},
               {"asm -9223372036854775809\nend\n", NC_ERR_FORMAT, 1, 5},
               {"comment a\rb\n", NC_ERR_FORMAT, 1, 9},
               {"reveal E 1 65536\n", NC_ERR_FORMAT, 1, 12},
               {"call\n", NC_ERR_FORMAT, 1, 5},
               {"\nfn_start f\npush 1\n", NC_ERR_FORMAT, 2, 1},
               {"fn_start f\nfn_start g\nfn_end\n", NC_ERR_FORMAT, 1, 1},
               {"fn_start f\nfn_end\nfn_end\n", NC_ERR_FORMAT, 3, 1},
               {"fn_start f\nif_only\nfn_end\nend\n", NC_ERR_FORMAT, 3, 1},
               {"if_only\nfn_start f\nend\nfn_end\n", NC_ERR_FORMAT, 4, 1}};
    char deep[65 * 9] = "";
    nc_tir_program *program;
    nc_error err;
    size_t i;
    (void)state;
    for (i = 0; i < sizeof bad / sizeof *bad; i++) {
        assert_int_equal(nc_tir_parse(&program, bad[i].text, strlen(bad[i].text), &err),
                         bad[i].status);
        assert_null(program);
        if (err.line != bad[i].line || err.column != bad[i].column)
            fail_msg("'%s': %d:%d %s", bad[i].text, err.line, err.column, err.message);
    }
    for (i = 0; i < 65; i++) strcat(deep, "if_only\n");
    assert_int_equal(nc_tir_parse(&program, deep, strlen(deep), &err), NC_ERR_LIMIT);
    assert_int_equal(nc_tir_parse(&program, "push 1\0x", 8, &err), NC_ERR_FORMAT);
}

static void builder_makes_the_same_program_as_the_parser(void **state) {
    nc_tir_op op;
    nc_tir_program *program;
    char *text;
    (void)state;
    memset(&op, 0, sizeof op);
    assert_int_equal(nc_tir_create(&program), NC_OK);
    op.kind = NC_TIR_FN_START;
    op.text = "f";
    assert_int_equal(nc_tir_append(program, &op), NC_OK);
    op.text = "two words";
    assert_int_equal(nc_tir_append(program, &op), NC_ERR_ARG);
    memset(&op, 0, sizeof op);
    op.kind = NC_TIR_IF_ELSE;
    assert_int_equal(nc_tir_append(program, &op), NC_OK);
    op.kind = NC_TIR_PUSH;
    op.value = 7;
    assert_int_equal(nc_tir_append(program, &op), NC_OK);
    assert_int_equal(nc_tir_else(program), NC_OK);
    assert_int_equal(nc_tir_else(program), NC_ERR_ARG);
    assert_int_equal(nc_tir_write(program, &text), NC_ERR_ARG); /* still open */
    op.kind = NC_TIR_POP;
    op.value = 65536;
    assert_int_equal(nc_tir_append(program, &op), NC_ERR_ARG);
    op.value = 2;
    assert_int_equal(nc_tir_append(program, &op), NC_OK);
    assert_int_equal(nc_tir_end(program), NC_OK);
    assert_int_equal(nc_tir_end(program), NC_ERR_ARG);
    op.kind = NC_TIR_KIND_COUNT;
    assert_int_equal(nc_tir_append(program, &op), NC_ERR_ARG);
    assert_int_equal(nc_tir_size(program), 4);
    assert_int_equal(nc_tir_write(program, &text), NC_OK);
    assert_string_equal(text, "fn_start f\nif_else\n  push 7\nelse\n  pop 2\nend\n");
    nc_tir_free_text(text);
    nc_tir_destroy(program);
    nc_tir_destroy(NULL);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_file_of_the_corpus_round_trips_and_lowers_byte_for_byte),
        cmocka_unit_test(the_peephole_turns_every_raw_file_into_what_the_compiler_lowers),
        cmocka_unit_test(every_rule_of_the_peephole),
        cmocka_unit_test(the_safe_rules_keep_the_meaning),
        cmocka_unit_test(own_sample_round_trips),
        cmocka_unit_test(lines_may_end_with_a_carriage_return),
        cmocka_unit_test(asm_is_written_so_that_it_can_be_read),
        cmocka_unit_test(functions_in_bodies_are_lowered_one_after_the_other),
        cmocka_unit_test(constants_labels_and_asm_are_written_as_the_compiler_writes_them),
        cmocka_unit_test(compound_operations_lower_by_the_rules),
        cmocka_unit_test(every_kind_is_built_written_read_and_lowered_by_its_row),
        cmocka_unit_test(malformed_text_is_refused_with_line_and_column),
        cmocka_unit_test(builder_makes_the_same_program_as_the_parser),
    };
    return cmocka_run_group_tests_name("tir io", tests, NULL, NULL);
}
