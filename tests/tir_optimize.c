/* nc_tirneural.h, section optimizer: whole modules and linked programs before and after. */
#include "tir_runs.h"

static char program[2][1 << 20];

/* Labels that `text` calls but does not define become small functions of their own. */
static void add_stubs(char *out, const char *text) {
    const char *at = text;
    while ((at = strstr(at, "call ")) != NULL) {
        char name[160], definition[176];
        size_t n;
        at += 5;
        n = strcspn(at, " \n");
        assert_true(n < 150);
        memcpy(name, at, n);
        name[n] = 0;
        snprintf(definition, sizeof definition, "\n%s:", name);
        if (strstr(out, definition) == NULL)
            sprintf(out + strlen(out), "\n%s:\n addi 7\n swap 2\n return\n", name);
    }
}

/* Run one function of a module before and after on the same stack, inputs and memory, and show
 * some memory in the output. 1 when both ran alike, -1 when a run was too long to tell. */
static int same_function(const char *name, const char *before, const char *after, uint64_t *seed,
                         int *halted) {
    static const char peek[] = "push 3 read_mem 5 push 1073742010 read_mem 5 pop 1 "
                               "write_io 5 pop 1 write_io 5 halt\n";
    random_start start;
    nc_tir_execution x[2];
    int i, k, alike;
    draw_start(&start, seed);
    for (i = 0; i < 2; i++) {
        sprintf(program[i], "%s\ncall %s\n%s\n%s", start.stack, name, peek, i ? after : before);
        add_stubs(program[i], i ? after : before);
        for (k = 0; program[i][k]; k++) /* names of other modules, which no machine knows */
            if (program[i][k] == '@') program[i][k] = 'x';
        assert_int_equal(nc_tir_execute(program[i], &start.input, &x[i], NULL), NC_OK);
    }
    alike = end_alike(x);
    if (!alike)
        printf("%s, %s\n", nc_tir_outcome_str(x[0].outcome), nc_tir_outcome_str(x[1].outcome));
    if (alike > 0 && x[0].outcome == NC_TIR_HALTED) {
        ++*halted;
        if (x[1].processor > x[0].processor || x[1].op_stack > x[0].op_stack ||
            x[1].ram > x[0].ram || x[1].u32 > x[0].u32)
            alike = 0; /* the real machine may not pay more either */
        if (!alike)
            printf("processor %llu %llu, op_stack %llu %llu, ram %llu %llu, u32 %llu %llu\n",
                   (unsigned long long)x[0].processor, (unsigned long long)x[1].processor,
                   (unsigned long long)x[0].op_stack, (unsigned long long)x[1].op_stack,
                   (unsigned long long)x[0].ram, (unsigned long long)x[1].ram,
                   (unsigned long long)x[0].u32, (unsigned long long)x[1].u32);
    }
    nc_tir_free_output(&x[0]);
    nc_tir_free_output(&x[1]);
    return alike;
}

static void compare_functions(const char *path, const char *before, const char *after, int runs,
                              uint64_t *seed, int counts[3]) {
    const char *line = before;
    while (*line) {
        size_t n = strcspn(line, "\n");
        if (n > 1 && n < 120 && line[n - 1] == ':' && *line != ' ') {
            char name[128], definition[144];
            int i;
            memcpy(name, line, n - 1);
            name[n - 1] = 0;
            snprintf(definition, sizeof definition, "\n%s:\n", name);
            if (!strstr(name, "__then__") && !strstr(name, "__else__") &&
                !strstr(name, "__loop__")) {
                if (strncmp(after, definition + 1, n + 1) != 0 && !strstr(after, definition))
                    fail_msg("%s: %s is gone", path, name);
                for (i = 0; i < runs; i++) {
                    int same = same_function(name, before, after, seed, &counts[2]);
                    if (same == 0)
                        fail_msg("%s: %s behaves otherwise or costs more:\n%s\n--\n%s", path, name,
                                 program[0], program[1]);
                    counts[same > 0]++;
                }
            }
        }
        line += n + (line[n] != 0);
    }
}

static nc_tir_report optimize_file(const char *path, char **before, char **after) {
    char *text = read_text(path), *again;
    nc_tir_program *p;
    nc_tir_report r;
    nc_error err;
    assert_int_equal(nc_tir_parse(&p, text, strlen(text), &err), NC_OK);
    assert_int_equal(nc_tir_lower(p, NC_TIR_TARGET_TRIDENT, before), NC_OK);
    assert_int_equal(nc_tir_optimize(p, NULL, after, &r, &err), NC_OK);
    assert_int_equal(nc_tir_optimize(p, NULL, &again, NULL, &err), NC_OK);
    assert_string_equal(*after, again); /* deterministic */
    assert_true(r.instructions_after <= r.instructions_before);
    assert_true(r.after.processor <= r.before.processor && r.after.hash <= r.before.hash);
    assert_true(r.after.u32 <= r.before.u32 && r.after.op_stack <= r.before.op_stack);
    assert_true(r.after.ram <= r.before.ram && r.after.jump_stack <= r.before.jump_stack);
    assert_true(r.proofs >= r.improved && r.improved <= r.blocks);
    nc_tir_free_text(again);
    nc_tir_destroy(p);
    free(text);
    return r;
}

/* The code with indices and names that a machine has: the compilers' linker takes the @ off the
 * names of other modules. */
static char *runnable(const char *tasm) {
    char *out = malloc(strlen(tasm) + 1), *to;
    strcpy(out, tasm);
    make_runnable(out);
    for (to = out; (to = strchr(to, '@')) != NULL;) *to = '_';
    return out;
}

static void every_function_of_the_corpus_behaves_the_same(void **state) {
    static module_list list;
    uint64_t seed = 7, before = 0, after = 0;
    int counts[3] = {0, 0, 0};
    size_t i;
    (void)state;
    list_modules(&list, 0);
    for (i = 0; i < list.count; i++) {
        char *tasm[2], *run, *better;
        nc_tir_report r = optimize_file(list.path[i], &tasm[0], &tasm[1]);
        before += r.instructions_before;
        after += r.instructions_after;
        run = runnable(tasm[0]);
        assert_int_equal(nc_tir_optimize_tasm(run, NULL, &better, NULL, NULL), NC_OK);
        compare_functions(list.path[i], run, better, 40, &seed, counts);
        nc_tir_free_text(better);
        free(run);
        nc_tir_free_text(tasm[0]);
        nc_tir_free_text(tasm[1]);
    }
    printf("%d runs of functions alike, %d of them to the end, %d too long to tell\n", counts[1],
           counts[2], counts[0]);
    printf("%llu instructions, %llu after: ratio %.4f\n", (unsigned long long)before,
           (unsigned long long)after, (double)after / (double)before);
    assert_true(list.count == 0 || (counts[2] > 1000 && (double)after < 0.49 * (double)before));
}

/* One operation on a random stack and memory, lowered for both machines; no machine runs the
 * compiler's `or`. */
static void lowering_for_either_machine_computes_the_same(void **state) {
    static const char *const operations[] = {"or", "fold_ext", "fold_base", "sub", "shl", "shr"};
    static const nc_tir_target machine[2] = {NC_TIR_TARGET_TRITON, NC_TIR_TARGET_TRITON_MAIN};
    uint64_t seed = 5;
    int i, k, trial;
    (void)state;
    for (i = 0; i < 6; i++)
        for (trial = 0; trial < 50; trial++) {
            char tir[2048] = "fn_start f\n", *tasm[2];
            nc_tir_program *p;
            nc_tir_execution x[2];
            uint64_t ram[40], upper = 0, lower = 0;
            nc_tir_input input = {0};
            for (k = 0; k < 20; k++) {
                uint64_t v = nc_gl_from_u64(test_random(&seed));
                if (i == 0 || i >= 3) v >>= 32 + (i > 3 && k == 19 ? 27 : 0);
                if (k >= 18 && (i == 1 || i == 2)) v %= 12;
                snprintf(tir + strlen(tir), 40, "push %llu\n", (unsigned long long)v);
                lower = upper;
                upper = v;
            }
            for (k = 0; k < 40; k++)
                ram[k] = k % 2 ? nc_gl_from_u64(test_random(&seed)) : (uint64_t)k / 2;
            input.ram = ram;
            input.ram_count = 20;
            snprintf(tir + strlen(tir), 80, "%s\n%s\nhalt\nfn_end\n", operations[i],
                     i == 1 || i == 2 ? operations[i] : "push 3\nadd");
            assert_int_equal(nc_tir_parse(&p, tir, strlen(tir), NULL), NC_OK);
            for (k = 0; k < 2; k++) {
                assert_int_equal(nc_tir_lower(p, machine[k], &tasm[k]), NC_OK);
                input.machine = machine[k];
                assert_int_equal(nc_tir_execute(tasm[k], &input, &x[k], NULL), NC_OK);
                assert_int_equal(x[k].outcome, NC_TIR_HALTED);
                assert_null(strstr(tasm[k], "    add\n    halt"));
            }
            assert_int_equal(strstr(tasm[0], "dot_step") != NULL, i == 1 || i == 2);
            if (i == 0) {
                assert_int_equal(x[0].stack[0], (upper | lower) + 3);
            }
            assert_int_equal(x[0].depth, x[1].depth);
            for (k = 0; k < 16; k++) assert_int_equal(x[0].stack[k], x[1].stack[k]);
            for (k = 0; k < 2; k++) nc_tir_free_text(tasm[k]);
            nc_tir_destroy(p);
        }
}

static void the_present_machine_refuses_what_it_lacks(void **state) {
    static const char deep[] = "fn_start f\ndup 20\nreturn\nfn_end\n";
    nc_tir_program *p;
    char *tasm;
    (void)state;
    assert_int_equal(nc_tir_parse(&p, deep, strlen(deep), NULL), NC_OK);
    assert_int_equal(nc_tir_lower(p, NC_TIR_TARGET_TRIDENT, &tasm), NC_OK);
    nc_tir_free_text(tasm);
    assert_int_equal(nc_tir_lower(p, NC_TIR_TARGET_TRITON, &tasm), NC_ERR_UNSUPPORTED);
    assert_null(tasm);
    assert_int_equal(nc_tir_lower(p, NC_TIR_TARGET_TRITON_MAIN, &tasm), NC_ERR_UNSUPPORTED);
    assert_int_equal(nc_tir_lower(p, (nc_tir_target)7, &tasm), NC_ERR_ARG);
    nc_tir_destroy(p);
}

/* Every rule that works across blocks, on the smallest code that shows it. */
static void branches_fold_where_nothing_changes(void **state) {
    static const struct {
        const char *before, *after;
    } cases[] = {
        /* equal branches: the condition goes too */
        {"f: dup 0 push 3 eq push 1 swap 1 skiz call __then__1 skiz call __else__2 return "
         "__then__1: pop 1 push 5 push 0 return __else__2: push 7 push -2 add return",
         "f:\n    push 5\n    return\n\n"},
        /* an empty else branch needs no flag */
        {"f: dup 0 push 1 swap 1 skiz call __then__1 skiz call __else__2 return "
         "__then__1: pop 1 push 9 write_io 1 push 8 write_io 1 push 0 return __else__2: return",
         "f:\n    dup 0\n    skiz\n    call __then__1\n    return\n\n"
         "__then__1:\n    push 8\n    push 9\n    write_io 2\n    return\n\n"},
        /* whose branch finds the value that it had */
        {"f: push 5 dup 1 skiz call __then__1 skiz call __else__2 return "
         "__then__1: dup 0 write_io 1 pop 1 push 0 return __else__2: return",
         "f:\n    dup 0\n    skiz\n    call __then__1\n    return\n\n"
         "__then__1:\n    push 5\n    write_io 1\n    return\n\n"},
        /* an empty then branch turns the condition round */
        {"f: dup 0 push 1 swap 1 skiz call __then__1 skiz call __else__2 return "
         "__then__1: pop 1 push 0 return __else__2: hash pop 5 return",
         "f:\n    dup 0\n    push 0\n    eq\n    skiz\n    call __else__2\n    return\n\n"
         "__else__2:\n    hash\n    pop 5\n    return\n\n"},
        /* the flag is not a constant: nothing may be said */
        {"f: skiz call __then__1 skiz call __else__2 return "
         "__then__1: pop 1 push 5 push 0 return __else__2: push 5 return",
         "f:\n    skiz\n    call __then__1\n    skiz\n    push 5\n    return\n\n"
         "__then__1:\n    pop 1\n    push 5\n    push 0\n    return\n\n"},
        /* the then branch leaves 1, so that both run */
        {"f: push 1 swap 1 skiz call __then__1 skiz call __else__2 return "
         "__then__1: pop 1 push 5 push 1 return __else__2: push 5 return",
         "f:\n    push 1\n    swap 1\n    skiz\n    call __then__1\n    skiz\n    push 5\n"
         "    return\n\n__then__1:\n    pop 1\n    push 5\n    push 1\n    return\n\n"},
        /* one body behind skiz is one instruction */
        {"f: skiz call __then__1 return __then__1: addi 3 return",
         "f:\n    skiz\n    addi 3\n    return\n\n"},
        /* the instruction behind skiz is not straight-line code */
        {"f: push 3 swap 1 skiz pop 1 push 4 pop 1 return",
         "f:\n    push 3\n    swap 1\n    skiz\n    pop 1\n    return\n\n"},
        /* nor is it where a label stands before it */
        {"f: push 3 swap 1 skiz g: pop 1 push 4 pop 1 return",
         "f:\n    push 3\n    swap 1\n    skiz\ng:\n    pop 1\n    return\n\n"},
        /* nor what comes of an empty call there */
        {"f: skiz g: skiz call __then__1 pop 1 return __then__1: return",
         "f:\n    skiz\ng:\n    pop 1\n    pop 1\n    return\n\n"},
        /* a return that may be skipped ends nothing */
        {"f: hash skiz g: return h: hash skiz return",
         "f:\n    hash\n    skiz\ng:\n    return\nh:\n    hash\n    skiz\n    return\n"},
        /* equal code that other code may call by either name is kept for each */
        {"f: hash pop 5 return g: hash pop 5 return",
         "f:\n    hash\n    pop 5\n    return\n\ng:\n    hash\n    pop 5\n    return\n\n"},
        /* equal code of the lowering's own names is kept once */
        {"f: skiz call __then__1 return __then__1: hash hash return "
         "g: add skiz call __else__2 return __else__2: hash hash return",
         "f:\n    skiz\n    call __then__1\n    return\n\n__then__1:\n    hash\n    hash\n"
         "    return\n\ng:\n    add\n    skiz\n    call __then__1\n    return\n\n"},
        /* and under a function's name where there is one */
        {"f: skiz call __then__1 return __then__1: hash hash return g: hash hash return",
         "f:\n    skiz\n    call g\n    return\n\ng:\n    hash\n    hash\n    return\n\n"},
        /* a name that only resembles one of the lowering is a function's */
        {"f: skiz call __loop__a return __loop__a: hash hash return",
         "f:\n    skiz\n    call __loop__a\n    return\n\n__loop__a:\n    hash\n    hash\n"
         "    return\n\n"},
        {"f: return __my__then__helper: hash return",
         "f:\n    return\n\n__my__then__helper:\n    hash\n    return\n\n"},
        /* a loop asks after the round, and once before the call */
        {"f: push 7 call __loop__1 pop 1 return __loop__1: dup 0 push 0 eq skiz return addi -1 "
         "dup 3 write_io 1 recurse",
         "f:\n    push 7\n    dup 0\n    skiz\n    call __loop__1\n    pop 1\n    return\n\n"
         "__loop__1:\n    addi -1\n    dup 3\n    write_io 1\n    dup 0\n    skiz\n    recurse\n"
         "    return\n\n"},
        /* one that ends at another constant, where another instruction can be spared */
        {"f: push 3 push 4 add call __loop__1 pop 1 return __loop__1: dup 0 push 3 eq skiz return "
         "addi -1 "
         "dup 3 write_io 1 recurse",
         "f:\n    push 7\n    push 4\n    skiz\n    call __loop__1\n    pop 1\n    "
         "return\n\n"
         "__loop__1:\n    addi -1\n    dup 3\n    write_io 1\n    dup 0\n    addi -3\n    skiz\n"
         "    recurse\n    return\n\n"},
        /* not where the call may be skipped: there is no place for the question */
        {"f: skiz call __loop__1 return __loop__1: dup 0 push 0 eq skiz return addi -1 dup 3 "
         "write_io 1 recurse",
         "f:\n    skiz\n    call __loop__1\n    return\n\n__loop__1:\n    dup 0\n    push 0\n"
         "    eq\n    skiz\n    return\n    addi -1\n    dup 3\n    write_io 1\n    recurse\n\n"},
        /* nor where a round may end early */
        {"f: call __loop__1 return __loop__1: dup 0 push 0 eq skiz return addi -1 dup 0 skiz "
         "recurse dup 3 write_io 1 recurse",
         "f:\n    call __loop__1\n    return\n\n__loop__1:\n    dup 0\n    push 0\n    eq\n"
         "    skiz\n    return\n    addi -1\n    dup 0\n    skiz\n    recurse\n    dup 3\n"
         "    write_io 1\n    recurse\n\n"},
        /* a body that calls moves in */
        {"f: call __then__1 write_io 1 return g: hash pop 5 return "
         "__then__1: addi 1 call g addi 1 skiz call g addi 2 return",
         "f:\n    addi 1\n    call g\n    addi 1\n    skiz\n    call g\n    addi 2\n"
         "    write_io 1\n    return\n\ng:\n    hash\n    pop 5\n    return\n\n"},
        /* a dot step reads what would be read, multiplies and adds */
        {"f: push 12 read_mem 3 pop 1 push 22 read_mem 3 pop 1 xx_mul xx_add return",
         "f:\n    push 10\n    push 20\n    xx_dot_step\n    pop 2\n    return\n\n"},
        /* what is needed beside would be read twice */
        {"f: push 12 read_mem 3 pop 1 dup 2 dup 2 dup 2 write_io 3 push 22 read_mem 3 pop 1 xx_mul "
         "xx_add return",
         "f:\n    push 12\n    read_mem 3\n    addi 13\n    read_mem 3\n    dup 6\n    dup 6\n    "
         "dup 6\n"
         "    write_io 3\n    pop 1\n    xx_mul\n    xx_add\n    return\n\n"},
        /* factors that make pairs with one sum: a product of two, and its neighbour */
        {"f: dup 0 push -1 add dup 1 push -2 add mul dup 1 push -3 add mul dup 1 push -4 add mul "
         "return",
         "f:\n    dup 0\n    addi -4\n    dup 0\n    addi 3\n    mul\n    dup 0\n    addi 2\n"
         "    mul\n    return\n\n"},
        {"f: dup 0 dup 1 mul dup 1 mul dup 1 mul return",
         "f:\n    dup 0\n    dup 0\n    mul\n    dup 0\n    mul\n    return\n\n"},
        {"f: dup 0 addi -1 dup 1 addi -2 mul dup 1 addi -3 mul dup 1 addi -4 mul dup 1 addi -5 mul "
         "dup 1 addi -6 mul swap 1 pop 1 return",
         "f:\n    addi -6\n    dup 0\n    addi 5\n    mul\n    dup 0\n    addi 4\n    dup 0\n"
         "    addi 2\n    swap 2\n    mul\n    mul\n    return\n\n"},
        /* not where the sums differ, or a part is needed too */
        {"f: dup 0 push -1 add dup 1 push -2 add mul dup 1 push -3 add mul dup 1 push -5 add mul "
         "return",
         "f:\n    dup 0\n    addi -1\n    dup 0\n    addi -1\n    mul\n    dup 1\n    addi -3\n"
         "    mul\n    dup 1\n    addi -5\n    mul\n    return\n\n"},
        {"f: dup 0 dup 1 mul dup 1 mul dup 0 write_io 1 dup 1 mul return",
         "f:\n    dup 0\n    dup 1\n    mul\n    dup 1\n    mul\n    dup 0\n    write_io 1\n"
         "    dup 1\n    mul\n    return\n\n"},
        /* nothing leads to code behind what ends the flow, nor to what only that code calls */
        {"f: hash recurse hash call __then__1 return __then__1: hash hash return",
         "f:\n    hash\n    recurse\n\n"},
        {"f: hash halt call g g: hash return hash", "f:\n    hash\n    halt\n\n"
                                                    "g:\n    hash\n    return\n\n"},
        /* but where the end may be skipped */
        {"f: hash skiz return hash skiz recurse hash skiz g: return hash return",
         "f:\n    hash\n    skiz\n    return\n    hash\n    skiz\n    recurse\n    hash\n"
         "    skiz\ng:\n    return\n    hash\n    return\n\n"},
        /* equal functions that have become shorter: one calls the other */
        {"f: swap 1 swap 1 hash hash return g: hash swap 3 swap 3 hash return",
         "f:\n    hash\n    hash\n    return\n\ng:\n    call f\n    return\n\n"},
        /* not by a longer way than before, nor where that is not known */
        {"f: pop 1 pop 1 hash hash return g: pop 1 pop 1 hash hash return",
         "f:\n    pop 2\n    hash\n    hash\n    return\n\n"
         "g:\n    pop 2\n    hash\n    hash\n    return\n\n"},
        {"f: swap 1 swap 1 hash skiz hash return g: hash swap 3 swap 3 skiz hash return",
         "f:\n    hash\n    skiz\n    hash\n    return\n\n"
         "g:\n    hash\n    skiz\n    hash\n    return\n\n"},
        {"f: swap 1 swap 1 hash hash recurse g: hash swap 3 swap 3 hash recurse",
         "f:\n    hash\n    hash\n    recurse\n\ng:\n    hash\n    hash\n    recurse\n\n"},
        /* nor where code runs into it, which no call has led to */
        {"f: swap 1 swap 1 hash hash return h: sponge_init g: hash swap 3 swap 3 hash return",
         "f:\n    hash\n    hash\n    return\n\nh:\n    sponge_init\n"
         "g:\n    hash\n    hash\n    return\n\n"},
        /* code that is run into stays where it is */
        {"f: hash return g: sponge_init h: hash return",
         "f:\n    hash\n    return\n\ng:\n    sponge_init\nh:\n    hash\n    return\n\n"},
    };
    size_t i;
    (void)state;
    for (i = 0; i < sizeof cases / sizeof *cases; i++) {
        char *tasm;
        assert_int_equal(nc_tir_optimize_tasm(cases[i].before, NULL, &tasm, NULL, NULL), NC_OK);
        if (strcmp(tasm, cases[i].after)) fail_msg("%s\ngives\n%s", cases[i].before, tasm);
        nc_tir_free_text(tasm);
    }
}

/* Work across blocks on code that has no row to spare: called or run into more than once. */
static void no_table_grows_where_code_is_shared(void **state) {
    static const char *const cases[] = {
        /* a body that is run into stays where it is called */
        "f: skiz call __then__9 call __then__1 halt __then__9: push 1 add "
        "__then__1: dup 1 add dup 3 mul dup 4 add dup 2 mul dup 7 add dup 6 mul write_io 1 return",
        /* a loop that would ask three instructions more and save two */
        "f: call __loop__1 swap 1 add halt "
        "__loop__1: dup 0 push 3 eq skiz return addi -1 dup 0 write_io 1 recurse",
        /* equal branches of several choices */
        "f: push 1 read_io 1 skiz call __then__1 skiz call __else__1 "
        "push 1 read_io 1 skiz call __then__1 skiz call __else__1 "
        "push 1 read_io 1 skiz call __then__1 skiz call __else__1 "
        "push 1 read_io 1 skiz call __then__1 skiz call __else__1 halt "
        "__then__1: pop 1 read_io 1 dup 3 mul write_io 1 read_io 1 dup 3 mul dup 4 add write_io 1 "
        "read_io 1 dup 3 mul dup 4 add write_io 1 read_io 1 dup 2 mul write_io 1 push 0 return "
        "__else__1: read_io 1 dup 3 mul write_io 1 read_io 1 dup 3 mul dup 4 add write_io 1 "
        "read_io 1 dup 3 mul dup 4 add write_io 1 read_io 1 dup 2 mul write_io 1 return",
        /* an empty branch that others have too */
        "f: read_io 5 read_io 5 read_io 5 read_io 5 swap 1 push 3 write_mem 1 pop 1 place 3 addi 2 "
        "pop 1 push 2 read_io 1 push 2 eq skiz call __loop__0 skiz call g write_io 2 halt "
        "__loop__0: pop 1 push 0 return g: pop 1 push 0 return h: pop 1 push 0 return",
    };
    nc_tir_options options = {0};
    size_t i;
    (void)state;
    for (i = 0; i < 2 * (sizeof cases / sizeof *cases); i++) {
        const char *before = cases[i / 2];
        nc_tir_report r;
        char *tasm;
        options.beam = i % 2; /* 32, and so narrow that little else is found */
        assert_int_equal(nc_tir_optimize_tasm(before, &options, &tasm, &r, NULL), NC_OK);
        if (r.after.processor > r.before.processor || r.after.op_stack > r.before.op_stack)
            fail_msg("%s\ngives\n%s", before, tasm);
        nc_tir_free_text(tasm);
    }
}

/* Error ids, hints and breaks on the smallest code that shows it. */
static void what_is_there_for_debuggers_stays_with_its_code(void **state) {
    static const struct {
        const char *before, *after;
        uint32_t dropped;
    } cases[] = {
        {"swap 1 swap 1 assert error_id 7 push 1 pop 1 assert_vector error_id -8 return",
         "    assert error_id 7\n    assert_vector error_id -8\n    return\n\n", 0},
        /* the same condition again can never fail */
        {"dup 0 assert error_id 1 assert error_id 2 return",
         "    assert error_id 1\n    return\n\n", 0},
        /* branches that are equal but for their ids are not equal */
        {"f: push 1 swap 1 skiz call __then__1 skiz call __else__2 return "
         "__then__1: pop 1 assert error_id 1 push 0 return __else__2: assert error_id 2 return",
         "f:\n    push 1\n    swap 1\n    skiz\n    call __then__1\n    skiz\n"
         "    assert error_id 2\n    return\n\n__then__1:\n    pop 1\n    assert error_id 1\n"
         "    push 0\n    return\n\n",
         0},
        {"f: hash assert error_id 1 return g: hash assert error_id 2 return",
         "f:\n    hash\n    assert error_id 1\n    return\n\n"
         "g:\n    hash\n    assert error_id 2\n    return\n\n",
         0},
        /* hints around replaced code, and within it where their elements lie */
        {"hint a = stack[0] push 3 push -1 mul add hint b: T<u> = stack[0..2] return",
         "    hint a = stack[0]\n    addi -3\n    hint b: T<u> = stack[0..2]\n    return\n\n", 0},
        {"dup 0 hash hint digest = stack[0..5] swap 1 swap 1 write_io 5 return",
         "    dup 0\n    hash\n    hint digest = stack[0..5]\n    write_io 5\n    return\n\n", 0},
        {"push 3 push -1 hint c = stack[0] mul hint d = stack[0] add return",
         "    addi -3\n    return\n\n", 2},
        {"swap 1 hint x = stack[1] swap 1 add return",
         "    hint x = stack[0]\n    add\n    return\n\n", 0},
        {"hint a = stack[0] swap 1 swap 1 hint b = stack[1] return",
         "    hint a = stack[0]\n    hint b = stack[1]\n    return\n\n", 0},
        {"add hint a = stack[0] swap 1 break swap 1 swap 1 call f hint b = stack[0] swap 1 swap 1",
         "    add\n    hint a = stack[0]\n    swap 1\n    break\n    call f\n", 1},
        /* what a break shows is what the program had there */
        {"push 3 break push -1 mul add return",
         "    push 3\n    break\n    push -1\n    mul\n    add\n    return\n\n", 0},
        {"swap 1 swap 1 break return break hint a = stack[0]",
         "    break\n    return\n\n    break\n    hint a = stack[0]\n", 0},
        /* marks of calls and skips */
        {"hint a = stack[0] skiz hint b = stack[1] call __then__1 return "
         "__then__1: hint c = stack[2] addi 3 return",
         "    hint a = stack[0]\n    skiz\n    hint b = stack[1]\n    hint c = stack[2]\n"
         "    addi 3\n    return\n\n",
         0},
        {"hint a = stack[0] skiz call __then__1 hint b = stack[1] return __then__1: return",
         "    hint a = stack[0]\n    pop 1\n    hint b = stack[1]\n    return\n\n", 0},
        {"return hint a = stack[0] __then__1: break return", "    return\n\n", 2},
    };
    size_t i;
    (void)state;
    for (i = 0; i < sizeof cases / sizeof *cases; i++) {
        nc_tir_report report;
        char *tasm, *json;
        assert_int_equal(nc_tir_optimize_tasm(cases[i].before, NULL, &tasm, &report, NULL), NC_OK);
        if (strcmp(tasm, cases[i].after)) fail_msg("%s\ngives\n%s", cases[i].before, tasm);
        if (report.hints_dropped != cases[i].dropped)
            fail_msg("%s: %u dropped", cases[i].before, (unsigned)report.hints_dropped);
        assert_int_equal(nc_tir_report_json(&report, &json), NC_OK);
        assert_non_null(strstr(json, "\"hints_dropped\": "));
        nc_tir_free_text(json);
        nc_tir_free_text(tasm);
    }
}

/* Loops that end at equality, on programs that use what the loop leaves: the same output, fewer
 * cycles for many rounds; one that may not be rearranged stays. */
static void loops_end_by_equality(void **state) {
    static const struct {
        const char *loop;
        int turned;
    } cases[] = {
        {"l: dup 0 dup 2 eq skiz return swap 1 addi 2 swap 1 dup 3 addi 7 swap 4 pop 1 recurse", 1},
        {"l: dup 1 dup 1 eq skiz return addi 2 dup 4 write_io 1 recurse", 1},
        {"l: dup 12 dup 3 eq skiz return pick 2 addi 1 place 2 dup 12 pick 4 add place 3 recurse",
         1},
        {"l: dup 0 dup 2 eq skiz return call g swap 1 addi 2 swap 1 recurse", 1},
        /* a round that may end early would end in the wrong order */
        {"l: dup 0 dup 2 eq skiz return swap 1 addi 2 swap 1 dup 3 skiz return recurse", 0},
        /* the same element twice: no round ever */
        {"l: dup 1 dup 2 eq skiz return swap 1 addi 2 swap 1 recurse", 0},
    };
    static const char *const starts[] = {"push 40 push 0 push 2", "push 40 push 40 push 40",
                                         "push 0 push 2 push 10 push 30"};
    const nc_gl secret[1] = {8};
    size_t i, k, m;
    int halted = 0;
    (void)state;
    for (i = 0; i < sizeof cases / sizeof *cases; i++)
        for (k = 0; k < sizeof starts / sizeof *starts; k++) {
            nc_tir_options options = {0};
            nc_tir_execution x[2];
            nc_tir_input input = {0};
            char text[1024], *after;
            nc_error err;
            options.whole = 1;
            input.max_cycles = 3000;
            snprintf(text, sizeof text,
                     "divine 1 dup 0 addi 3 dup 0 addi 5 dup 0 addi 7 dup 1 addi 9 dup 2 addi 4 "
                     "dup 0 addi 3 dup 0 addi 5 push 1 push -1 mul add push 1 push -1 mul add "
                     "push 1 push -1 mul add push 1 push -1 mul add push 1 push -1 mul add "
                     "dup 0 addi 3 dup 0 addi 5 %s call l write_io 5 write_io 5 halt %s "
                     "g: pick 3 addi 1 place 3 dup 4 write_io 1 return",
                     starts[k], cases[i].loop);
            input.secret_input = secret;
            input.secret_count = 1;
            if (nc_tir_optimize_tasm(text, &options, &after, NULL, &err) != NC_OK)
                fail_msg("%s %s", err.message, text);
            assert_int_equal(strstr(after, "recurse_or_return") != NULL, cases[i].turned);
            assert_int_equal(nc_tir_execute(text, &input, &x[0], NULL), NC_OK);
            assert_int_equal(nc_tir_execute(after, &input, &x[1], NULL), NC_OK);
            assert_int_equal(x[0].outcome, x[1].outcome);
            if (x[0].outcome == NC_TIR_HALTED) {
                halted++;
                assert_int_equal(x[0].output_count, x[1].output_count);
                for (m = 0; m < x[0].output_count; m++)
                    assert_int_equal(x[0].output[m], x[1].output[m]);
                assert_true(x[1].processor < x[0].processor);
            }
            nc_tir_free_output(&x[0]);
            nc_tir_free_output(&x[1]);
            nc_tir_free_text(after);
        }
    assert_int_equal(halted, 14);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(lowering_for_either_machine_computes_the_same),
        cmocka_unit_test(the_present_machine_refuses_what_it_lacks),
        cmocka_unit_test(branches_fold_where_nothing_changes),
        cmocka_unit_test(no_table_grows_where_code_is_shared),
        cmocka_unit_test(loops_end_by_equality),
        cmocka_unit_test(what_is_there_for_debuggers_stays_with_its_code),
        cmocka_unit_test(every_function_of_the_corpus_behaves_the_same),
    };
    return cmocka_run_group_tests_name("tir optimize", tests, NULL, NULL);
}
