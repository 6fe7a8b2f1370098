/* nc_tirneural.h, section optimizer: modules optimised one by one, then linked as the compilers do
   it. Their rule, written anew here: `__f` of module a.b becomes `a_b__f` and `@m__f` is `m__f`; a
   function is what stands from one label line to the next; from the program's main on, functions
   that are called are kept in their order, all others go. */
#include "tir_runs.h"

enum { MAX_LINES = 1 << 16, MAX_BLOCKS = 1 << 14 };

/* Text of linked modules as lines, and what each of its functions is. */
typedef struct linker {
    char *lines[MAX_LINES];
    size_t line_count, block_count;
    struct {
        char *label;
        size_t first, end;
        int reached;
    } blocks[MAX_BLOCKS];
} linker;

static char *copy_of(const char *text, size_t n) {
    char *copy = malloc(n + 1);
    assert_non_null(copy);
    memcpy(copy, text, n);
    copy[n] = 0;
    return copy;
}

/* A line without blanks around it; its labels get the module's name. */
static char *renamed(const char *line, size_t n, const char *module) {
    char out[700];
    while (n && (*line == ' ' || *line == '\t')) line++, n--;
    while (n && (line[n - 1] == ' ' || line[n - 1] == '\t' || line[n - 1] == '\r')) n--;
    if (n && line[n - 1] == ':' && !strncmp(line, "__", 2))
        snprintf(out, sizeof out, "%s__%.*s", module, (int)n - 2, line + 2);
    else if (!strncmp(line, "call @", 6))
        snprintf(out, sizeof out, "call %.*s", (int)n - 6, line + 6);
    else if (!strncmp(line, "call __", 7))
        snprintf(out, sizeof out, "call %s__%.*s", module, (int)n - 7, line + 7);
    else
        snprintf(out, sizeof out, "%.*s", (int)n, line);
    return copy_of(out, strlen(out));
}

/* The lines of a module behind those of the others. The wrapper of a program (`call __main, halt`
   before its first label) is no part of a library. */
static void add_module(linker *l, const char *module, const char *tasm) {
    while (*tasm) {
        const size_t n = strcspn(tasm, "\n");
        assert_true(l->line_count < MAX_LINES);
        l->lines[l->line_count++] = renamed(tasm, n, module);
        tasm += n + (tasm[n] != 0);
    }
}

static int is_label(const char *line) { return *line && line[strlen(line) - 1] == ':'; }

static void find_blocks(linker *l) {
    size_t i = 0;
    while (i < l->line_count) {
        const size_t first = i++;
        if (!is_label(l->lines[first])) continue;
        while (i < l->line_count && !is_label(l->lines[i])) i++;
        assert_true(l->block_count < MAX_BLOCKS);
        l->blocks[l->block_count].label = copy_of(l->lines[first], strlen(l->lines[first]) - 1);
        l->blocks[l->block_count].first = first;
        l->blocks[l->block_count].end = i;
        l->blocks[l->block_count++].reached = 0;
    }
}

static void free_linker(linker *l) {
    while (l->line_count) free(l->lines[--l->line_count]);
    while (l->block_count) free(l->blocks[--l->block_count].label);
}

/* Mark the function of that name and all it calls. */
static void reach(linker *l, const char *label) {
    size_t i, k;
    for (i = 0; i < l->block_count && strcmp(l->blocks[i].label, label); i++) {
    }
    if (i == l->block_count || l->blocks[i].reached) return;
    l->blocks[i].reached = 1;
    for (k = l->blocks[i].first; k < l->blocks[i].end; k++)
        if (!strncmp(l->lines[k], "call ", 5)) reach(l, l->lines[k] + 5);
}

/* A program that calls one function, with what it needs of the modules; then it shows some memory.
   What nobody defines becomes a small function of its own. */
static void link_program(linker *l, const char *function, char *out) {
    char *to = out, *at;
    size_t i, k;
    for (i = 0; i < l->block_count; i++) l->blocks[i].reached = 0;
    reach(l, function);
    to += sprintf(to,
                  "\ncall %s\npush 3\nread_mem 5\npush 1073742010\nread_mem 5\npop 1\n"
                  "write_io 5\npop 1\nwrite_io 5\nhalt\n",
                  function);
    for (i = 0; i < l->block_count; i++)
        for (k = l->blocks[i].first; l->blocks[i].reached && k < l->blocks[i].end; k++)
            to += sprintf(to, "%s\n", l->lines[k]);
    for (at = out; (at = strstr(at, "\ncall ")) != NULL;) {
        char definition[300];
        at += 6;
        snprintf(definition, sizeof definition, "\n%.*s:\n", (int)strcspn(at, "\n"), at);
        if (!strstr(out, definition))
            to += sprintf(to, "%s addi 7\n swap 2\n return\n", definition);
    }
}

static char linked[2][1 << 20], program[(1 << 20) + 4096];

/* Both programs on a stack, inputs and memory of their own. */
static void compare(const char *function, uint64_t *seed, int counts[3]) {
    random_start start;
    nc_tir_execution x[2];
    int i, alike;
    draw_start(&start, seed);
    for (i = 0; i < 2; i++) {
        nc_error err;
        snprintf(program, sizeof program, "%s%s", start.stack, linked[i]);
        if (nc_tir_execute(program, &start.input, &x[i], &err) != NC_OK)
            fail_msg("%s %s: %d:%d %s", function, i ? "after" : "before", err.line, err.column,
                     err.message);
    }
    alike = end_alike(x);
    counts[0] += alike < 0;
    counts[1]++;
    counts[2] += alike > 0 && x[0].outcome == NC_TIR_HALTED;
    if (!alike)
        fail_msg("%s behaves otherwise once linked (%s, %s):\n%s\n--\n%s", function,
                 nc_tir_outcome_str(x[0].outcome), nc_tir_outcome_str(x[1].outcome), linked[0],
                 linked[1]);
    for (i = 0; i < 2; i++) nc_tir_free_output(&x[i]);
}

static linker before, after;
static int newest = 1;

/* A function linked from either, on so many inputs. */
static void compare_runs(const char *function, int runs, uint64_t *seed, int counts[3]) {
    link_program(&before, function, linked[0]);
    link_program(&after, function, linked[1]);
    while (runs-- > 0) compare(function, seed, counts);
}

/* Whether a label is one of the lowering's own: a word, then a number. */
static int is_invented(const char *label) {
    static const char *const words[] = {"__then__", "__else__", "__loop__"};
    size_t i;
    for (i = 0; i < 3; i++) {
        const char *at = strstr(label, words[i]);
        if (at && strspn(at + 8, "0123456789") == strlen(at + 8)) return 1;
    }
    return 0;
}

/* The instruction that ends a function, or null where it is empty or runs into the next one. */
static const char *end_of(const linker *l, size_t block) {
    static const char *const ends[] = {"return", "halt", "recurse", "recurse_or_return"};
    size_t i = l->blocks[block].end, k;
    while (i > l->blocks[block].first + 1 && !*l->lines[i - 1]) i--;
    for (k = 0; i > l->blocks[block].first + 1 && k < 4; k++)
        if (!strcmp(l->lines[i - 1], ends[k])) return ends[k];
    return NULL;
}

static size_t block_of(const linker *l, const char *label) {
    size_t i;
    for (i = 0; i < l->block_count; i++)
        if (!strcmp(l->blocks[i].label, label)) return i;
    fail_msg("%s is gone", label);
    return 0;
}

/* Every module of the corpus into both linkers. */
static void add_corpus(nc_tir_target target) {
    static module_list list;
    size_t i;
    list_modules(&list, 0);
    for (i = 0; i < list.count; i++) {
        char *path = list.path[i], *text = read_text(path), *classical, *better, *name;
        nc_tir_program *program;
        nc_tir_options options = {0};
        nc_error err;
        if (nc_tir_parse(&program, text, strlen(text), &err) != NC_OK) fail_msg("%s", path);
        options.beam = 4; /* the search does not matter here */
        if (target == NC_TIR_TARGET_TRISHA && strstr(text, "comment ERROR:")) {
            assert_int_equal(nc_tir_lower(program, target, &classical), NC_ERR_UNSUPPORTED);
            nc_tir_destroy(program);
            free(text);
            continue;
        }
        assert_int_equal(nc_tir_lower(program, target, &classical), NC_OK);
        if (target == NC_TIR_TARGET_TRIDENT) make_runnable(classical);
        assert_int_equal(nc_tir_optimize_tasm(classical, &options, &better, NULL, &err), NC_OK);
        name = strrchr(path, '/') + 1;
        *strchr(name, '.') = 0;
        add_module(&before, name, classical);
        add_module(&after, name, better);
        nc_tir_free_text(classical);
        nc_tir_free_text(better);
        nc_tir_destroy(program);
        free(text);
    }
    find_blocks(&before);
    find_blocks(&after);
}

static void every_function_of_the_corpus_is_linked_and_behaves_the_same(void **state) {
    const nc_tir_target target = *state ? NC_TIR_TARGET_TRISHA : NC_TIR_TARGET_TRIDENT;
    uint64_t seed = 11;
    int counts[3] = {0, 0, 0}, functions = 0;
    size_t i;
    add_corpus(target);
    for (i = 0; i < before.block_count; i++) {
        const char *label = before.blocks[i].label;
        if (is_invented(label)) continue;
        if (end_of(&before, i) && !end_of(&after, block_of(&after, label)))
            fail_msg("%s has no block of its own", label);
        functions++;
        compare_runs(label, 12, &seed, counts);
    }
    printf("%d functions, %d runs alike, %d of them to the end, %d too long to tell\n", functions,
           counts[1], counts[2], counts[0]);
    assert_true(functions >= 180 && counts[2] > 1500);
    free_linker(&before);
    free_linker(&after);
}

/* What the linkers made of a module whose equal functions shared one body. */
static void equal_functions_are_both_there_for_the_linker(void **state) {
    static const char module[] = "__pow2_2:\n    push 4\n    return\n\n"
                                 "__pow2_3:\n    push 4\n    return\n\n"
                                 "__both:\n    call __then__1\n    call __then__2\n"
                                 "    call __then__1\n    call __then__2\n    return\n\n"
                                 "__then__1:\n    hash\n    hash\n    return\n\n"
                                 "__then__2:\n    hash\n    hash\n    return\n";
    static const char *const functions[] = {"m__pow2_2", "m__pow2_3", "m__both"};
    nc_tir_report report;
    uint64_t seed = 3;
    int counts[3] = {0, 0, 0}, i;
    char *better;
    (void)state;
    assert_int_equal(nc_tir_optimize_tasm(module, NULL, &better, &report, NULL), NC_OK);
    assert_int_equal(report.instructions_after, 12); /* the bodies of then are one */
    add_module(&before, "m", module);
    add_module(&after, "m", better);
    find_blocks(&before);
    find_blocks(&after);
    for (i = 0; i < 3; i++) compare_runs(functions[i], 1, &seed, counts);
    assert_int_equal(counts[2], 3);
    free_linker(&before);
    free_linker(&after);
    nc_tir_free_text(better);
}

/* A function that the one before runs into: a linker drops it where nobody calls it. */
static void a_call_stays_where_code_runs_into_the_callee(void **state) {
    static const char module[] = "__f:\n    push 1\n    push 2\n    pop 2\n    call __g\n    hash\n"
                                 "__g:\n    addi 3\n    return\n";
    uint64_t seed = 3;
    int counts[3] = {0, 0, 0};
    char *better;
    (void)state;
    assert_int_equal(nc_tir_optimize_tasm(module, NULL, &better, NULL, NULL), NC_OK);
    add_module(&before, "m", module);
    add_module(&after, "m", better);
    find_blocks(&before);
    find_blocks(&after);
    compare_runs("m__f", 1, &seed, counts);
    assert_int_equal(counts[2], 1);
    free_linker(&before);
    free_linker(&after);
    nc_tir_free_text(better);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(equal_functions_are_both_there_for_the_linker),
        cmocka_unit_test(a_call_stays_where_code_runs_into_the_callee),
        cmocka_unit_test(every_function_of_the_corpus_is_linked_and_behaves_the_same),
        cmocka_unit_test_prestate(every_function_of_the_corpus_is_linked_and_behaves_the_same,
                                  &newest),
    };
    return cmocka_run_group_tests_name("tir link", tests, NULL, NULL);
}
