/* nc_tirneural.h, sections proofs and optimizer: the gate is sound, the optimiser improves. */
#include "test.h"
#include "../nc_tirneural.h"

static void known_equalities_are_proven_and_differences_named(void **state) {
    static const struct {
        const char *a, *b;
        nc_tir_verdict verdict;
    } cases[] = {
        {"push 3 push -1 mul add", "addi -3", NC_TIR_PROVEN},
        {"swap 1 swap 1", "", NC_TIR_PROVEN},
        {"push 5 split", "push 0 push 5", NC_TIR_PROVEN},
        {"dup 1 dup 1 add swap 2 pop 2", "add", NC_TIR_PROVEN},
        {"dup 1 dup 1 mul place 2 pop 2", "mul", NC_TIR_PROVEN},
        {"dup 0 dup 2 mul swap 1 dup 0 mul add", "dup 1 addi 0 dup 1 add mul", NC_TIR_PROVEN},
        {"write_io 2", "write_io 1 write_io 1", NC_TIR_PROVEN},
        {"swap 1 write_io 2", "write_io 2", NC_TIR_DIFFERENT_EFFECTS},
        {"divine 2", "divine 1 divine 1", NC_TIR_PROVEN},
        {"divine 1 read_io 1", "read_io 1 divine 1 swap 1", NC_TIR_PROVEN},
        {"dup 0 push 7 swap 1 write_mem 1 pop 1", "push 7 dup 1 write_mem 1 pop 1", NC_TIR_PROVEN},
        {"push 1 add assert", "push 0 eq assert", NC_TIR_DIFFERENT_CRASHES}, /* not the same */
        {"push -1 add assert", "addi -1 assert", NC_TIR_PROVEN},
        {"push 2 eq assert", "addi -1 assert", NC_TIR_DIFFERENT_CRASHES}, /* equal, not shown */
        {"dup 0 invert pop 1", "", NC_TIR_DIFFERENT_CRASHES},
        {"dup 1 dup 1 lt pop 1", "", NC_TIR_DIFFERENT_CRASHES},
        {"dup 1 dup 1 eq pop 1", "", NC_TIR_PROVEN}, /* eq cannot crash */
        {"dup 0 split lt pop 1", "", NC_TIR_PROVEN}, /* halves are u32 */
        {"dup 1 dup 1 and swap 2 pop 2", "and", NC_TIR_PROVEN},
        {"swap 1 and", "and", NC_TIR_PROVEN},
        {"swap 1 lt", "lt", NC_TIR_DIFFERENT_STACK},
        /* the same question with a factor; the same operation of other operands */
        {"swap 1 eq", "eq", NC_TIR_PROVEN},
        {"push 3 mul push 0 eq", "push 0 eq", NC_TIR_PROVEN},
        {"split push 3 swap 1 div_mod pop 1 swap 1 push 3 swap 1 div_mod pop 1",
         "split push 3 swap 1 div_mod pop 1 swap 1 push 3 swap 1 div_mod pop 1 swap 1",
         NC_TIR_DIFFERENT_STACK},
        {"split pop_count swap 1 pop_count", "split pop_count swap 1 pop_count swap 1",
         NC_TIR_DIFFERENT_STACK},
        {"split log_2_floor swap 1 log_2_floor", "split log_2_floor swap 1 log_2_floor swap 1",
         NC_TIR_DIFFERENT_STACK},
        {"dup 4 dup 4 dup 4 dup 4 dup 4 assert_vector", "", NC_TIR_PROVEN},
        {"push 4294967296 push 1 lt pop 1", "", NC_TIR_DIFFERENT_CRASHES}, /* always crashes */
        {"push 0 invert pop 1", "", NC_TIR_DIFFERENT_CRASHES},
        {"pop 1 push 1", "push 1 swap 1 pop 1", NC_TIR_DIFFERENT_CRASHES}, /* dips to 15 */
        {"push 1 push 2 pop 2", "", NC_TIR_PROVEN},
        {"skiz", "pop 1", NC_TIR_NOT_STRAIGHT},
        {"dup 16", "dup 16", NC_TIR_NOT_STRAIGHT},
        {"hash", "swap 9 hash", NC_TIR_DIFFERENT_STACK},
        {"sponge_init sponge_absorb", "sponge_absorb sponge_init", NC_TIR_DIFFERENT_EFFECTS},
        {"push 7 push 0 write_mem 1 pop 1 sponge_absorb_mem",
         "sponge_absorb_mem push 7 push 0 write_mem 1 pop 1", NC_TIR_DIFFERENT_STACK},
        {"push 7 push 0 write_mem 1 pop 1 merkle_step_mem",
         "merkle_step_mem push 7 push 0 write_mem 1 pop 1", NC_TIR_DIFFERENT_STACK},
        {"push 7 push 0 write_mem 1 pop 1 xb_dot_step",
         "xb_dot_step push 7 push 0 write_mem 1 pop 1", NC_TIR_DIFFERENT_STACK},
        {"xx_dot_step", "swap 1 xx_dot_step swap 1", NC_TIR_PROVEN},
        /* a dot step is two reads, a product and a sum; triples lie with coefficient 0 on top */
        {"push 12 read_mem 3 pop 1 push 22 read_mem 3 pop 1 xx_mul xx_add",
         "push 10 push 20 xx_dot_step pop 2", NC_TIR_PROVEN},
        {"push 12 read_mem 3 pop 1 push 22 read_mem 3 pop 1 xx_mul xx_add",
         "push 12 push 20 xx_dot_step pop 2", NC_TIR_DIFFERENT_STACK},
        {"push 12 read_mem 3 pop 1 push 22 read_mem 1 pop 1 xb_mul xx_add",
         "push 10 push 22 xb_dot_step pop 2", NC_TIR_PROVEN},
        {"push 12 read_mem 3 pop 1 push 22 read_mem 1 pop 1 xb_mul xx_add",
         "push 22 push 10 xb_dot_step pop 2", NC_TIR_DIFFERENT_STACK},
        {"push 12 read_mem 3 pop 1 push 5 push 6 push 7 push 8 write_mem 3 pop 1 xx_add",
         "push 5 push 6 push 7 push 8 write_mem 3 pop 1 push 12 read_mem 3 pop 1 xx_add",
         NC_TIR_DIFFERENT_STACK},
        {"xx_add", "pick 5 pick 5 pick 5 xx_add", NC_TIR_PROVEN},
        {"xx_mul", "pick 5 pick 5 pick 5 xx_mul", NC_TIR_PROVEN},
        {"xx_mul", "pick 5 pick 5 xx_mul pop 1", NC_TIR_DIFFERENT_STACK},
        {"xx_add xx_add", "pick 8 pick 8 pick 8 xx_add xx_add", NC_TIR_PROVEN},
        {"xx_mul xx_add", "xx_add xx_mul", NC_TIR_DIFFERENT_STACK},
        {"push 0 push 0 push 9 xx_mul", "push 9 xb_mul", NC_TIR_PROVEN},
        {"push 0 push 9 push 0 xx_mul", "push 9 xb_mul", NC_TIR_DIFFERENT_STACK},
        {"xb_dot_step", "swap 1 xb_dot_step swap 1", NC_TIR_DIFFERENT_STACK},
        {"xb_dot_step addi -1", "dup 0 place 5 xb_dot_step pop 1 pick 4", NC_TIR_PROVEN},
        {"xx_dot_step addi -1", "dup 0 place 5 xx_dot_step pop 1 pick 4", NC_TIR_DIFFERENT_STACK},
        {"xx_dot_step pick 2 addi 5 place 2", "pick 2 addi 5 place 2 xx_dot_step", NC_TIR_PROVEN},
        {"b_horner_step pick 5 addi 3 place 5", "x_horner_step pick 5 addi 1 place 5",
         NC_TIR_DIFFERENT_STACK},
        {"push 7 push 0 write_mem 1 pop 1 b_horner_step",
         "b_horner_step push 7 push 0 write_mem 1 pop 1", NC_TIR_DIFFERENT_STACK},
        /* memory: a load after a store, stores to one address, to two, to one that may be either */
        {"push 7 push 5 write_mem 1 pop 1 push 5 read_mem 1 pop 1",
         "push 7 push 5 write_mem 1 pop 1 push 7", NC_TIR_PROVEN},
        {"push 1 push 5 write_mem 1 pop 1 push 2 push 5 write_mem 1 pop 1",
         "push 2 push 5 write_mem 1 pop 1", NC_TIR_PROVEN},
        {"push 1 push 5 write_mem 1 pop 1 push 2 push 6 write_mem 1 pop 1",
         "push 2 push 1 push 5 write_mem 2 pop 1", NC_TIR_PROVEN},
        {"push 1 push 6 write_mem 1 pop 1 push 2 push 5 write_mem 1 pop 1",
         "push 2 push 1 push 5 write_mem 2 pop 1", NC_TIR_DIFFERENT_EFFECTS},
        {"push 7 dup 1 write_mem 1 pop 1 push 5 read_mem 1 pop 1",
         "push 5 read_mem 1 pop 1 push 7 dup 2 write_mem 1 pop 1", NC_TIR_DIFFERENT_STACK},
        {"push 7 dup 1 write_mem 1 pop 1 dup 0 addi 1 read_mem 1 pop 1",
         "dup 0 addi 1 read_mem 1 pop 1 push 7 dup 2 write_mem 1 pop 1", NC_TIR_PROVEN},
        {"push 7 dup 1 write_mem 1 pop 1 push 8 push 5 write_mem 1 pop 1",
         "push 8 push 5 write_mem 1 pop 1 push 7 dup 1 write_mem 1 pop 1",
         NC_TIR_DIFFERENT_EFFECTS},
        {"push 8 push 5 write_mem 1 pop 1 push 7 dup 1 write_mem 1 pop 1 push 9 push 5 write_mem 1 "
         "pop 1",
         "push 7 dup 1 write_mem 1 pop 1 push 9 push 5 write_mem 1 pop 1",
         NC_TIR_DIFFERENT_EFFECTS}, /* equal, not shown */
        {"push 7 dup 1 write_mem 1 pop 1 push 8 push 5 write_mem 1 pop 1 push 9 dup 1 write_mem 1 "
         "pop 1",
         "push 9 dup 1 write_mem 1 pop 1 push 8 push 5 write_mem 1 pop 1",
         NC_TIR_DIFFERENT_EFFECTS}, /* either order may be the last word */
        {"push 5 read_mem 1 addi 1 write_mem 1 pop 1", "", NC_TIR_PROVEN}, /* what was there */
        {"push 5 read_mem 1 addi 2 write_mem 1 pop 1", "", NC_TIR_DIFFERENT_EFFECTS},
        /* division by constants, masks, powers */
        {"push 255 and", "push 256 swap 1 div_mod swap 1 pop 1", NC_TIR_PROVEN},
        {"push 254 and", "push 256 swap 1 div_mod swap 1 pop 1", NC_TIR_DIFFERENT_STACK},
        {"push 5 and", "push 6 swap 1 div_mod swap 1 pop 1", NC_TIR_DIFFERENT_STACK},
        {"push 256 swap 1 div_mod pop 1 push 16 swap 1 div_mod pop 1",
         "push 4096 swap 1 div_mod pop 1", NC_TIR_PROVEN},
        {"push 65536 swap 1 div_mod pop 1 push 65536 swap 1 div_mod pop 1",
         "push 1 swap 1 div_mod pop 2 push 0", NC_TIR_DIFFERENT_STACK}, /* equal, not shown */
        {"push 8 swap 1 div_mod swap 1 push 8 mul add", "", NC_TIR_DIFFERENT_CRASHES},
        {"push 8 swap 1 div_mod swap 1 push 8 mul add",
         "push 2 swap 1 div_mod swap 1 push 2 mul add",
         NC_TIR_PROVEN}, /* both say only that it is a u32 */
        {"push 17 push 5 swap 1 div_mod", "push 3 push 2", NC_TIR_PROVEN},
        {"push 17 push 0 swap 1 div_mod pop 2", "", NC_TIR_DIFFERENT_CRASHES},
        {"push 3 swap 1 pow", "dup 0 dup 0 mul mul", NC_TIR_PROVEN},
        {"push 3 swap 1 pow", "dup 0 mul", NC_TIR_DIFFERENT_STACK},
        {"push 0 swap 1 pow", "pop 1 push 1", NC_TIR_DIFFERENT_CRASHES}, /* dips to 15 */
        {"push 255 and split", "push 255 and push 0 swap 1", NC_TIR_PROVEN},
        {"dup 1 dup 1 and pop 1 split", "dup 1 dup 1 and pop 1 push 0 swap 1",
         NC_TIR_DIFFERENT_STACK}, /* equal, not shown */
        {"push 4294967295 and pop 1", "pop 1", NC_TIR_DIFFERENT_CRASHES},
        /* the sponge, and what is absorbed from memory */
        {"sponge_init sponge_absorb sponge_init", "pop 5 pop 5 sponge_init", NC_TIR_PROVEN},
        {"sponge_squeeze pop 5 pop 5 sponge_init", "sponge_init", NC_TIR_DIFFERENT_CRASHES},
        {"sponge_init sponge_squeeze pop 5 pop 5", "sponge_init", NC_TIR_DIFFERENT_EFFECTS},
        {"push 9 read_mem 5 read_mem 5 pop 1 sponge_absorb",
         "push 0 push 0 push 0 push 0 push 0 sponge_absorb_mem pop 5", NC_TIR_PROVEN},
        {"push 9 read_mem 5 read_mem 5 pop 1 swap 1 sponge_absorb",
         "push 0 push 0 push 0 push 0 push 0 sponge_absorb_mem pop 5", NC_TIR_DIFFERENT_EFFECTS},
        {"push 0 sponge_absorb_mem swap 1",
         "push 0 sponge_absorb_mem push 0 read_mem 1 pop 1 "
         "swap 2 pop 1 swap 1",
         NC_TIR_PROVEN}, /* st1 is RAM[0] */
        {"push 0 push 0 push 0 push 0 push 0 push 0 push 0 push 0 push 0 push 0 hash pop 4 push "
         "14220746792122877272 eq",
         "push 1", NC_TIR_PROVEN},
    };
    size_t i;
    (void)state;
    for (i = 0; i < sizeof cases / sizeof *cases; i++) {
        nc_tir_verdict got = nc_tir_verify(cases[i].a, cases[i].b);
        if (got != cases[i].verdict)
            fail_msg("'%s' / '%s': %s", cases[i].a, cases[i].b, nc_tir_verdict_str(got));
    }
}

/* The machine that random code is for. */
static nc_tir_target machine = NC_TIR_TARGET_TRITON;

static int runs_to_the_end; /* of behave_alike's first sequence */

/* Both sequences on the same random stack, inputs and memory. 1 when they behave alike. */
static int behave_alike(const char *a, const char *b, uint64_t *seed) {
    /* what the memory near 0 has become, and often the sponge */
    static const char peek[] = "push 4 read_mem 5 pop 1 push 9 read_mem 5 pop 1 push -1 read_mem 3 "
                               "pop 1 write_io 5 write_io 5 write_io 3 ";
    static char program[2][16384];
    const int sponge = test_random(seed) % 4 > 0;
    char stack[1600] = "";
    uint64_t in[64], ram[32];
    nc_tir_input input = {0};
    nc_tir_execution x[2];
    int i, alike, deep = test_random(seed) % 2 == 0;
    for (i = 0; i < (deep ? 40 : 16); i++) {
        char one[40];
        uint64_t kind = test_random(seed) % 8, v = nc_gl_from_u64(test_random(seed));
        if (kind < 3)
            v %= 6;
        else if (kind < 6)
            v >>= 32;
        snprintf(one, sizeof one, "push %llu ", (unsigned long long)v);
        strcat(stack, one);
    }
    if (!deep)
        strcat(stack, "swap 15 pop 1 swap 14 pop 1 swap 13 pop 1 swap 12 pop 1 swap 11 pop 1 "
                      "swap 10 pop 1 swap 9 pop 1 swap 8 pop 1 swap 7 pop 1 swap 6 pop 1 "
                      "swap 5 pop 1 swap 4 pop 1 swap 3 pop 1 swap 2 pop 1 swap 1 pop 1 "
                      "pop 1 "); /* back to exactly 16 elements */
    for (i = 0; i < 64; i++) in[i] = nc_gl_from_u64(test_random(seed));
    for (i = 0; i < 32; i++) ram[i] = i % 2 ? nc_gl_from_u64(test_random(seed)) : (uint64_t)i / 2;
    input.public_input = input.secret_input = in;
    input.public_count = input.secret_count = test_random(seed) % 4 ? 64 : 2;
    input.ram = ram;
    input.ram_count = 16;
    input.machine = machine;
    for (i = 0; i < 2; i++) {
        snprintf(program[i], sizeof program[i], "%s\n%s\n%s%s\nhalt\n", stack, i ? b : a, peek,
                 strstr(a, "sponge") && sponge ? "sponge_squeeze write_io 5 write_io 5" : "");
        assert_int_equal(nc_tir_execute(program[i], &input, &x[i], NULL), NC_OK);
    }
    alike = (x[0].outcome == NC_TIR_HALTED) == (x[1].outcome == NC_TIR_HALTED);
    runs_to_the_end += x[0].outcome == NC_TIR_HALTED;
    if (alike && x[0].outcome == NC_TIR_HALTED) {
        /* the lowest five elements are the program's own digest */
        int seen = x[0].depth < 21 ? (int)x[0].depth - 5 : 16;
        alike = x[0].depth == x[1].depth && x[0].output_count == x[1].output_count;
        for (i = 0; alike && i < seen; i++) alike = x[0].stack[i] == x[1].stack[i];
        for (i = 0; alike && i < (int)x[0].output_count; i++)
            alike = x[0].output[i] == x[1].output[i];
    }
    nc_tir_free_output(&x[0]);
    nc_tir_free_output(&x[1]);
    return alike;
}

enum { MAX_LINES = 60 };

typedef struct sequence {
    char line[MAX_LINES][32];
    int n;
} sequence;

static void join(const sequence *s, char *out) {
    int i;
    *out = 0;
    for (i = 0; i < s->n; i++) {
        strcat(out, s->line[i]);
        strcat(out, "\n");
    }
}

/* Lines for what is known of memory, constants and the sponge; else of every instruction. */
static int for_axioms;

static void random_line(char *line, uint64_t *seed) {
    static const char *const pieces[] = {"push 3 write_mem 1 pop 1",
                                         "push 4 read_mem 1 pop 1",
                                         "push 3 read_mem 1 pop 1",
                                         "dup 0 read_mem 1 pop 1",
                                         "dup 1 write_mem 1 pop 1",
                                         "push 2 write_mem 2 pop 1",
                                         "addi 1 write_mem 1 addi -1",
                                         "push 5 read_mem 3 pop 1",
                                         "push 256 swap 1 div_mod",
                                         "push 16 swap 1 div_mod",
                                         "push 255 and",
                                         "push 15 and",
                                         "push 3 swap 1 pow",
                                         "push 0 read_mem 1 pop 1",
                                         "split",
                                         "sponge_init",
                                         "sponge_squeeze",
                                         "sponge_absorb",
                                         "sponge_absorb_mem",
                                         "push 0 sponge_absorb_mem",
                                         "pop 5",
                                         "swap 1",
                                         "swap 2",
                                         "dup 0",
                                         "dup 2",
                                         "push 3",
                                         "addi 1",
                                         "pop 1",
                                         "mul",
                                         "write_io 1"};
    static const char *const plain[] = {"add",    "mul",       "eq",      "split",      "lt",
                                        "and",    "xor",       "nop",     "pow",        "invert",
                                        "assert", "pop_count", "div_mod", "log_2_floor"};
    static const char *const wide[] = {
        "xx_dot_step", "xb_dot_step",       "sponge_init",    "sponge_absorb", "sponge_squeeze",
        "hash",        "sponge_absorb_mem", "assert_vector",  "xx_add",        "xx_mul",
        "xb_mul",      "x_invert",          "merkle_step_mem"};
    static const char *const horner[] = {"b_horner_step", "x_horner_step"};
    uint64_t r = test_random(seed) >> 8;
    int i;
    if (for_axioms) {
        snprintf(line, 32, "%s", pieces[r % (sizeof pieces / sizeof *pieces)]);
        return;
    }
    switch (r % 9) {
    case 0:
        snprintf(line, 32, "push %d", (r >> 8) % 8 ? (int)(r >> 40) % 5 : 255 + (int)(r >> 40) % 2);
        break;
    case 1: snprintf(line, 32, "dup %d", (int)(r >> 40) % 6); break;
    case 2: snprintf(line, 32, "swap %d", (int)(r >> 40) % 6); break;
    case 3: snprintf(line, 32, "pop %d", (int)(r >> 40) % 2 + 1); break;
    case 4: snprintf(line, 32, "addi %d", (int)(r >> 40) % 3 - 1); break;
    case 5: snprintf(line, 32, "%s", (r >> 8) % 2 ? "write_io 1" : "divine 1"); break;
    case 6:
        snprintf(line, 32, "%s %d", (r >> 8) % 2 ? "write_mem" : "read_mem",
                 1 + (int)((r >> 9) % 8 == 0));
        break;
    case 7:
        i = (int)((r >> 8) % (sizeof wide / sizeof *wide));
        snprintf(line, 32, "%s",
                 i < 2 && machine == NC_TIR_TARGET_TRITON_MAIN ? horner[i] : wide[i]);
        break;
    default: snprintf(line, 32, "%s", plain[(r >> 8) % (sizeof plain / sizeof *plain)]); break;
    }
}

static void mutate(sequence *s, uint64_t *seed) {
    int at = (int)(test_random(seed) % (uint64_t)s->n), i;
    switch (test_random(seed) % 4) {
    case 0: random_line(s->line[at], seed); break;
    case 1:
        for (i = at; i + 1 < s->n; i++) memcpy(s->line[i], s->line[i + 1], 32);
        s->n--;
        break;
    case 2:
        if (s->n == MAX_LINES) break;
        for (i = s->n++; i > at; i--) memcpy(s->line[i], s->line[i - 1], 32);
        random_line(s->line[at], seed);
        break;
    default:
        i = (int)(test_random(seed) % (uint64_t)s->n);
        if (i != at) {
            char swap[32];
            memcpy(swap, s->line[i], 32);
            memcpy(s->line[i], s->line[at], 32);
            memcpy(s->line[at], swap, 32);
        }
    }
}

/* More terms than the prover holds: it says so, of equal sequences too. */
static void sequences_with_too_many_terms_are_not_proven(void **state) {
    enum { READS = 9000 };
    static char code[READS * 16 + 1];
    int i;
    (void)state;
    for (i = 0; i < READS; i++) memcpy(code + 16 * i, "read_io 1 pop 1 ", 16);
    assert_int_equal(nc_tir_verify(code, code), NC_TIR_TOO_LARGE);
    code[100 * 16] = 0;
    assert_int_equal(nc_tir_verify(code, code), NC_TIR_PROVEN);
}

static void try_mutants(uint64_t seed) {
    static char before[8192], after[8192];
    const int mutants = getenv("NC_TEST_SHORT") ? 1100 : 22000; /* short: see tests/mutate.py */
    int mutant, trial, proven = 0, changed = 0, missed = 0;
    for (mutant = 0; mutant < mutants; mutant++) {
        sequence s, m;
        int i, edits = 1 + (int)(test_random(&seed) % 2);
        machine = mutant % 2 ? NC_TIR_TARGET_TRITON : NC_TIR_TARGET_TRITON_MAIN;
        s.n = 2 + (int)(test_random(&seed) % 10);
        for (i = 0; i < s.n; i++) random_line(s.line[i], &seed);
        m = s;
        while (edits-- > 0 && m.n > 1) mutate(&m, &seed);
        join(&s, before);
        join(&m, after);
        if (nc_tir_verify(before, after) == NC_TIR_PROVEN) {
            proven++;
            for (trial = 0; trial < 12; trial++)
                if (!behave_alike(before, after, &seed))
                    fail_msg("proven, but different:\n%s--\n%s", before, after);
        } else if (mutant % 16 == 0) { /* never seen to differ: most likely equivalent, unproven */
            int alike = 1;
            runs_to_the_end = 0;
            for (trial = 0; trial < 40 && alike; trial++)
                alike = behave_alike(before, after, &seed);
            changed += !alike;
            missed += alike && runs_to_the_end >= 5; /* what always crashes shows nothing */
        }
    }
    printf("%d mutants, %d proven equivalent and run alike; of 1 in 16 others %d differ, %d were "
           "never seen to: of the equivalent ones about %.0f %% are proven\n",
           mutants, proven, changed, missed, 100.0 * proven / (proven + 16.0 * missed));
    assert_true(proven > mutants / 44);
    assert_true(changed > mutants / 110);
}

static void no_mutant_that_changes_behaviour_is_ever_proven(void **state) {
    (void)state;
    for (for_axioms = 1; for_axioms >= 0; for_axioms--) try_mutants(42);
    for_axioms = 0;
}

/* The whole sample program before and after, on the interpreter. */
static void sample_program_computes_the_same_with_fewer_rows(void **state) {
    char *text = read_text("examples/data/sample.tir"), *tasm[2];
    nc_tir_program *program;
    nc_tir_report report;
    nc_error err;
    uint64_t in[2], i, j, before = 0, after = 0;
    (void)state;
    assert_int_equal(nc_tir_parse(&program, text, strlen(text), &err), NC_OK);
    assert_int_equal(nc_tir_lower(program, NC_TIR_TARGET_TRIDENT, &tasm[0]), NC_OK);
    assert_int_equal(nc_tir_optimize(program, NULL, &tasm[1], &report, &err), NC_OK);
    assert_true(report.improved >= 2);
    for (i = 0; i < 200; i += 7)
        for (j = 0; j < 200; j += 11) {
            nc_tir_input input = {0};
            nc_tir_execution a, b;
            in[0] = i;
            in[1] = j;
            input.public_input = in;
            input.public_count = 2;
            assert_int_equal(nc_tir_execute(tasm[0], &input, &a, &err), NC_OK);
            assert_int_equal(nc_tir_execute(tasm[1], &input, &b, &err), NC_OK);
            assert_int_equal(a.outcome, b.outcome);
            assert_int_equal(a.output_count, b.output_count);
            assert_int_equal(a.output_count, 1);
            assert_int_equal(a.output[0], b.output[0]);
            assert_int_equal(a.output[0],
                             i > j ? (i - j > 100 ? 100 : i - j) : (j - i > 100 ? 100 : j - i));
            before += a.processor;
            after += b.processor;
            nc_tir_free_output(&a);
            nc_tir_free_output(&b);
        }
    assert_true(after < before);
    nc_tir_free_text(tasm[0]);
    nc_tir_free_text(tasm[1]);
    nc_tir_destroy(program);
    free(text);
}

typedef struct counter {
    int calls, stop_at;
    uint64_t last;
} counter;

static int count_calls(void *user, uint64_t done, uint64_t total) {
    counter *c = (counter *)user;
    assert_true(done >= c->last && done <= total);
    c->last = done;
    return ++c->calls == c->stop_at;
}

static void progress_advances_and_can_cancel(void **state) {
    char *text = read_text("examples/data/sample.tir"), *tasm;
    nc_tir_options options = {0};
    nc_tir_program *program;
    counter c = {0, 0, 0};
    nc_error err;
    (void)state;
    assert_int_equal(nc_tir_parse(&program, text, strlen(text), &err), NC_OK);
    options.progress = count_calls;
    options.progress_user = &c;
    assert_int_equal(nc_tir_optimize(program, &options, &tasm, NULL, &err), NC_OK);
    nc_tir_free_text(tasm);
    assert_true(c.calls > 5);
    c.calls = 0;
    c.last = 0;
    c.stop_at = 3;
    assert_int_equal(nc_tir_optimize(program, &options, &tasm, NULL, &err), NC_ERR_CANCELLED);
    assert_int_equal(c.calls, 3);
    assert_null(tasm);
    options.beam = 70000;
    assert_int_equal(nc_tir_optimize(program, &options, &tasm, NULL, &err), NC_ERR_ARG);
    nc_tir_destroy(program);
    free(text);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(known_equalities_are_proven_and_differences_named),
        cmocka_unit_test(sequences_with_too_many_terms_are_not_proven),
        cmocka_unit_test(no_mutant_that_changes_behaviour_is_ever_proven),
        cmocka_unit_test(sample_program_computes_the_same_with_fewer_rows),
        cmocka_unit_test(progress_advances_and_can_cancel),
    };
    return cmocka_run_group_tests_name("tir symbolic", tests, NULL, NULL);
}
