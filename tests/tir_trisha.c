/* nc_tirneural.h, section lowering: the newest compiler's instructions, read off its sources, and what
   they do on the machine. */
#include "test.h"
#include "../nc_tirneural.h"

static char *lower(const char *tir) {
    nc_tir_program *program;
    nc_error err;
    char *tasm;
    if (nc_tir_parse(&program, tir, strlen(tir), &err) != NC_OK)
        fail_msg("%d:%d %s\n%s", err.line, err.column, err.message, tir);
    assert_int_equal(nc_tir_lower(program, NC_TIR_TARGET_TRISHA, &tasm), NC_OK);
    nc_tir_destroy(program);
    return tasm;
}

/* Instructions with one blank between two, as a text of lines. */
static void check_lines(const char *tir, const char *instructions) {
    char *tasm = lower(tir), *from, *to;
    for (from = to = tasm; *from; from++) { /* lines to blanks, indentation gone */
        if (*from == '\n' || (*from == ' ' && (to == tasm || to[-1] == ';'))) {
            if (to > tasm && to[-1] != ';') *to++ = ';';
            continue;
        }
        *to++ = *from;
    }
    *to = 0;
    if (strcmp(tasm, instructions)) fail_msg("%s\ngives\n%s\nnot\n%s", tir, tasm, instructions);
    nc_tir_free_text(tasm);
}

#define REVERSE_5 "swap 4;swap 1;swap 3;swap 1;"
#define REVERSE_10                                                                                 \
    "swap 9;swap 1;swap 8;swap 1;swap 2;swap 7;swap 2;swap 3;swap 6;swap 3;swap 4;swap 5;swap 4;"

static void every_operation_is_lowered_as_the_newest_compiler_does(void **state) {
    (void)state;
    check_lines("push 18446744069414584321\npush 18446744073709551615\npush 18446744069414584320",
                "push 0;push 4294967294;push 18446744069414584320;");
    check_lines(
        "pop 0\npop 8\nhint 10\nread_io 5\nwrite_io 6\nread_mem 11\nwrite_mem 1\n",
        "pop 5;pop 3;divine 5;divine 5;read_io 5;write_io 5;write_io 1;read_mem 5;read_mem 5;"
        "read_mem 1;write_mem 1;");
    check_lines("dup 0\nswap 0\ndup 15\nswap 15\n", "dup 0;dup 15;swap 15;");
    check_lines("shl\nshr\npow\nor\nsub\n",
                "push 2;pow;mul;push 2;pow;swap 1;div_mod;pop 1;swap 1;pow;or;push -1;mul;add;");
    check_lines(
        "ext_mul\next_invert\nfold_ext\nfold_base\n",
        "xb_mul;swap 2;x_invert;swap 2;swap 2;swap 4;swap 2;xx_dot_step;swap 2;swap 4;swap 2;"
        "swap 2;swap 4;swap 2;xb_dot_step;swap 2;swap 4;swap 2;");
    check_lines("hash 3\n", REVERSE_10 "hash;" REVERSE_5);
    check_lines("sponge_init\nsponge_absorb\nsponge_squeeze\nsponge_load\n",
                "sponge_init;" REVERSE_10 "sponge_absorb;sponge_squeeze;" REVERSE_10
                "push 0;push 0;push 0;push 0;swap 4;sponge_absorb_mem;pop 5;");
    check_lines("merkle_step\n", REVERSE_5 "merkle_step;" REVERSE_5);
    check_lines("assert 1\nassert 5\nassert 0\n", "assert;assert_vector;assert_vector;");
    check_lines("reveal E 18446744069414584325 1\n",
                "push 18446744069414584325;write_io 1;write_io 1;"); /* tags as they stand */
    check_lines("reveal E 4 2\n", "swap 1;push 4;write_io 1;write_io 1;write_io 1;");
    check_lines(
        "seal E 4 9\n",
        "push 4;swap 1;swap 9;swap 1;swap 2;swap 8;swap 2;swap 3;swap 7;swap 3;swap 4;swap 6;"
        "swap 4;hash;write_io 5;");
    check_lines(
        "seal E 4 2\n",
        "push 0;push 0;push 0;push 0;push 0;push 0;push 0;push 4;swap 7;swap 9;swap 7;swap 6;"
        "swap 8;swap 6;swap 5;swap 7;swap 5;swap 4;swap 6;swap 4;swap 3;swap 5;swap 3;swap 2;"
        "swap 4;swap 2;swap 1;swap 3;swap 1;hash;write_io 5;");
    check_lines("merkle_load\n",
                "push 0;swap 1;swap 7;swap 1;swap 6;swap 1;swap 5;swap 1;swap 2;swap 4;swap 2;"
                "merkle_step_mem;swap 5;swap 7;swap 5;swap 6;swap 1;swap 5;swap 1;swap 2;swap 4;"
                "swap 2;pop 1;");
    check_lines("ram_read 1\nram_read 2\n", "read_mem 1;pop 1;push 1;add;read_mem 2;pop 1;swap 1;");
    check_lines("ram_write 0\nram_write 1\n", "pop 1;swap 1;write_mem 1;pop 1;");
    check_lines("ram_read 7\n",
                "push 6;add;read_mem 5;read_mem 2;pop 1;swap 6;swap 1;swap 5;swap 1;"
                "swap 2;swap 4;swap 2;");
    check_lines("call @m__f\ncall f\ncall __f\n", "call @m__f;call __f;call __f;");
    check_lines("target_call triton_program_digest 0 5\ntarget_call triton_stark_verify_v1 5 0\n"
                "target_call neptune_transaction_verify_v1 5 0\n"
                "target_call neptune_native_currency_verify_v1 15 0\n",
                "call @trisha_program_digest;call @trisha_recursive_verify_v1;"
                "call @trisha_neptune_transaction_verify_v1;"
                "call @trisha_neptune_native_currency_verify_v1;");
    check_lines("entry_parameters bool field u32\nentry main\n",
                "read_io 1;dup 0;dup 0;push -1;add;mul;push 0;eq;assert;read_io 1;read_io 1;split;"
                "swap 1;push 0;eq;assert;call __main;halt;");
}

static void bodies_come_behind_their_function(void **state) {
    char *tasm = lower("fn_start f\nloop l\n  if_only\n    add\n  end\nend\nif_else\n  mul\nelse\n"
                       "  eq\nend\nreturn\nfn_end\nif_only\nend\n");
    (void)state;
    assert_string_equal(
        tasm, "__f:\n    push 1\n    swap 1\n    skiz\n    call __then__1\n    skiz\n"
              "    call __else__2\n    return\n    \n__l:\n    dup 0\n    push 0\n    eq\n"
              "    skiz\n    return\n    push -1\n    add\n    skiz\n    call __then__3\n"
              "    recurse\n\n__then__1:\n    pop 1\n    mul\n    push 0\n    return\n\n"
              "__else__2:\n    eq\n    return\n\n__then__3:\n    add\n    return\n\n"
              "    skiz\n    call __then__4\n"); /* outside of functions none comes */
    nc_tir_free_text(tasm);
}

#define SEARCH                                                                                     \
    "halt;__stack_scratch__1:;pop 2;push 0;push 0;call __stack_scratch__1__scan;return;"           \
    "__stack_scratch__1__scan:;dup 1;read_mem 1;pop 1;push 0;eq;swap 1;push 1;add;mul;dup 0;"      \
    "dup 3;eq;skiz;return;swap 1;push 1;add;dup 0;push 0;eq;push 0;eq;assert;swap 1;recurse;"

static void deep_elements_are_reached_through_memory(void **state) {
    (void)state;
    check_lines(
        "dup 16\n",
        "push 3;push 2147483650;push 3;push 0;push 2147483650;read_mem 3;swap 4;"
        "swap 1;push 0;eq;add;swap 1;push 0;eq;add;swap 1;push 0;eq;add;swap 1;pop 1;push 3;"
        "eq;push 0;eq;skiz;call __stack_scratch__1;pop 1;swap 1;pop 1;push -2;add;"
        "write_mem 2;dup 15;swap 1;write_mem 1;push -2;add;read_mem 2;push 0;push 0;dup 2;"
        "push 1;add;write_mem 2;pop 1;push 3;add;read_mem 1;push 0;dup 1;push 1;add;"
        "write_mem 1;pop 1;pop 1;" SEARCH);
    check_lines(
        "swap 16\n",
        "push 3;push 2147483650;push 3;push 0;push 2147483650;read_mem 3;swap 4;"
        "swap 1;push 0;eq;add;swap 1;push 0;eq;add;swap 1;push 0;eq;add;swap 1;pop 1;push 3;"
        "eq;push 0;eq;skiz;call __stack_scratch__1;pop 1;swap 1;pop 1;push -2;add;"
        "write_mem 3;dup 0;push -3;add;read_mem 1;pop 1;swap 15;dup 1;push -3;add;"
        "write_mem 1;pop 1;push -1;add;read_mem 3;push 0;push 0;push 0;dup 3;push 1;add;"
        "write_mem 3;pop 1;pop 1;" SEARCH);
}

#define LOOK_5                                                                                     \
    "read_mem 5;swap 6;swap 1;push 0;eq;add;swap 1;push 0;eq;add;swap 1;push 0;eq;add;"            \
    "swap 1;push 0;eq;add;swap 1;push 0;eq;add;swap 1;"
#define CLEAR_5 "push 0;push 0;push 0;push 0;push 0;swap 5;write_mem 5;"

/* 20 elements go to memory, 8 come back: 4 from below 7 others. */
static void several_deep_moves_are_one_where_that_is_shorter(void **state) {
    static const char moves[] = "swap 16\nswap 17\nswap 18\nswap 19\npop 12\n";
    char block[200], *tasm, *at;
    int searches = 0;
    (void)state;
    check_lines(
        moves,
        "push 20;push 2147483667;push 20;push 0;push 2147483667;" LOOK_5 LOOK_5 LOOK_5 LOOK_5
        "pop 1;push 20;eq;push 0;eq;skiz;call __stack_scratch__1;pop 1;swap 1;pop 1;"
        "push -19;add;write_mem 5;write_mem 5;write_mem 5;write_mem 5;push -20;add;"
        "dup 0;push 18;add;read_mem 1;pop 1;swap 1;dup 0;push 17;add;read_mem 1;pop 1;swap 1;"
        "dup 0;push 16;add;read_mem 1;pop 1;swap 1;dup 0;read_mem 1;pop 1;swap 1;"
        "dup 0;push 15;add;read_mem 1;pop 1;swap 1;dup 0;push 14;add;read_mem 1;pop 1;swap 1;"
        "dup 0;push 13;add;read_mem 1;pop 1;swap 1;dup 0;push 12;add;read_mem 1;pop 1;"
        "swap 1;" CLEAR_5 CLEAR_5 CLEAR_5 CLEAR_5 "pop 1;" SEARCH);
    sprintf(block, "proof_block ab\n%send\n", moves); /* there each is alone */
    tasm = lower(block);
    for (at = tasm; (at = strstr(at, "call __stack_scratch__1\n")) != NULL; at++) searches++;
    assert_int_equal(searches, 4);
    nc_tir_free_text(tasm);
}

/* ---- random programs ---------------------------------------------------------------------------- */

static void put_line(char **to, int depth, const char *format, ...) {
    va_list arguments;
    va_start(arguments, format);
    *to += sprintf(*to, "%*s", 2 * depth, "");
    *to += vsprintf(*to, format, arguments);
    *to += sprintf(*to, "\n");
    va_end(arguments);
}

static uint64_t pick(uint64_t *seed, uint64_t n) { return test_random(seed) % n; }

/* Operations of every kind; moves come in runs, half of them deep. */
static void put_operations(char **to, uint64_t *seed, int count, int depth) {
    static const char *const plain[] = {
        "add",         "sub",         "mul",         "neg",          "invert",
        "eq",          "lt",          "and",         "or",           "xor",
        "pop_count",   "split",       "div_mod",     "shl",          "shr",
        "log2",        "pow",         "return",      "halt",         "sponge_init",
        "sponge_load", "merkle_step", "merkle_load", "ext_mul",      "sponge_squeeze",
        "ext_invert",  "fold_ext",    "fold_base",   "sponge_absorb"};
    static const char *const counted[] = {"pop",       "read_io", "write_io", "read_mem",
                                          "write_mem", "hint",    "assert",   "hash"};
    static const uint64_t values[] = {0, 5, UINT64_C(0xFFFFFFFF00000000),
                                      UINT64_C(0xFFFFFFFF00000001), UINT64_MAX};
    while (count-- > 0) {
        const int kind = (int)pick(seed, depth < 3 ? 16 : 12);
        int run = 1 + (int)pick(seed, 12), second;
        switch (kind) {
        case 0:
        case 1:
            while (run-- > 0) {
                const int move = (int)pick(seed, 5);
                if (move == 4)
                    put_line(to, depth, "pop %d", (int)pick(seed, 12));
                else
                    put_line(to, depth, "%s %d", move < 2 ? "dup" : "swap",
                             (int)pick(seed, pick(seed, 2) ? 16 : 60));
            }
            break;
        case 2: put_line(to, depth, "push %llu", (unsigned long long)values[pick(seed, 5)]); break;
        case 3:
        case 4:
            second = (int)pick(seed, 17);
            put_line(to, depth, "%s %d", counted[pick(seed, 8)], second);
            break;
        case 5:
            second = (int)pick(seed, 17);
            put_line(to, depth, "reveal E %llu %d", (unsigned long long)values[pick(seed, 5)],
                     second);
            break;
        case 6:
            second = (int)pick(seed, 10);
            put_line(to, depth, "seal E %d %d", (int)pick(seed, 9), second);
            break;
        case 7: put_line(to, depth, "ram_read %d", 1 + (int)pick(seed, 16)); break;
        case 8: put_line(to, depth, "ram_write %d", (int)pick(seed, 16)); break;
        case 12:
            put_line(to, depth, "if_else");
            put_operations(to, seed, (int)pick(seed, 5), depth + 1);
            put_line(to, depth, "else");
            put_operations(to, seed, (int)pick(seed, 5), depth + 1);
            put_line(to, depth, "end");
            break;
        case 13:
        case 14:
        case 15:
            put_line(to, depth,
                     kind == 13   ? "if_only"
                     : kind == 14 ? "loop l%d"
                                  : "proof_block b%d",
                     (int)pick(seed, 100));
            put_operations(to, seed, (int)pick(seed, 5), depth + 1);
            put_line(to, depth, "end");
            break;
        default: put_line(to, depth, "%s", plain[pick(seed, 29)]); break;
        }
    }
}

/* The digest is that of a program in another language which was written from the compiler's sources,
   on the same texts (NC_TEST_DUMP names a file for them). */
static void random_programs_become_what_a_second_reading_says(void **state) {
    static char tir[1 << 20];
    const char *path = getenv("NC_TEST_DUMP");
    FILE *dump = path ? fopen(path, "w") : NULL;
    uint64_t seed = 2026, digest = UINT64_C(0xCBF29CE484222325); /* FNV-1a */
    size_t lines = 0;
    int trial, f;
    (void)state;
    for (trial = 0; trial < 200; trial++) {
        char *to = tir, *tasm, *at;
        for (f = 0; f < 2; f++) {
            put_line(&to, 0, "fn_start f%d", f);
            put_operations(&to, &seed, 1 + (int)pick(&seed, 24), 0);
            put_line(&to, 0, "fn_end");
        }
        if (dump) fprintf(dump, "%s=\n", tir);
        tasm = lower(tir);
        for (at = tasm; *at; at++) {
            digest = (digest ^ (unsigned char)*at) * UINT64_C(0x100000001B3);
            lines += *at == '\n';
        }
        nc_tir_free_text(tasm);
    }
    if (dump) fclose(dump);
    printf("%zu lines, %016llx\n", lines, (unsigned long long)digest);
    assert_int_equal(digest, UINT64_C(0xA531DD299C85E180));
}

/* ---- behaviour -------------------------------------------------------------------------------- */

/* Run TIR, and compare all that it writes. */
static void check_output(const char *tir, const nc_tir_input *input, const uint64_t *output,
                         size_t count) {
    char *tasm = lower(tir), *run = malloc(strlen(tasm) + 1);
    nc_tir_execution x;
    nc_error err;
    size_t i;
    strcpy(run, tasm);
    if (nc_tir_execute(run, input, &x, &err) != NC_OK)
        fail_msg("%d:%d %s\n%s", err.line, err.column, err.message, tasm);
    if (x.outcome != NC_TIR_HALTED) fail_msg("%s: %s", tir, nc_tir_outcome_str(x.outcome));
    assert_int_equal(x.output_count, count);
    for (i = 0; i < count; i++)
        if (x.output[i] != output[i])
            fail_msg("%s\n%zu: %llu, not %llu", tir, i, (unsigned long long)x.output[i],
                     (unsigned long long)output[i]);
    nc_tir_free_output(&x);
    nc_tir_free_text(tasm);
    free(run);
}

static void operands_are_taken_in_the_order_of_the_language(void **state) {
    static const uint64_t shifted[] = {12, 800}, power[] = {81}, words[] = {7, 1, 2, 3};
    static const uint64_t block[] = {1, 2, 3, 4, 5, 5, 4, 3, 2, 1};
    (void)state;
    check_output("push 100\npush 3\nshr\nwrite_io 1\npush 100\npush 3\nshl\nwrite_io 1\nhalt\n",
                 NULL, shifted, 2);
    check_output("push 3\npush 4\npow\nwrite_io 1\nhalt\n", NULL, power, 1);
    check_output("push 1\npush 2\npush 3\nreveal E 7 3\nhalt\n", NULL, words, 4);
    check_output("push 100\npush 1\npush 2\npush 3\npush 4\npush 5\nram_write 5\n"
                 "push 100\nram_read 1\nwrite_io 1\npush 101\nram_read 1\nwrite_io 1\n"
                 "push 102\nram_read 1\nwrite_io 1\npush 103\nram_read 1\nwrite_io 1\n"
                 "push 104\nram_read 1\nwrite_io 1\npush 100\nram_read 5\nwrite_io 5\nhalt\n",
                 NULL, block, 10);
}

/* The five or ten words of a hash, the last one on top. */
static void hashes_are_those_of_the_library(void **state) {
    nc_gl words[10], digest[5], node[5] = {1, 2, 3, 4, 5}, sibling[5] = {6, 7, 8, 9, 10};
    nc_gl_tip5 sponge;
    uint64_t out[16], ram[20];
    char tir[2000] = "push 999\nsponge_init\n";
    nc_tir_input input = {0};
    int i, fields, right;
    (void)state;
    for (i = 0; i < 10; i++) words[i] = (nc_gl)(i + 3);
    nc_gl_tip5_hash_10(words, digest);
    for (i = 0; i < 5; i++) out[i] = digest[4 - i];
    check_output(
        "push 3\npush 4\npush 5\npush 6\npush 7\npush 8\npush 9\npush 10\npush 11\npush 12\n"
        "hash 0\nwrite_io 5\nhalt\n",
        NULL, out, 5);
    nc_gl_tip5_init(&sponge);
    nc_gl_tip5_absorb(&sponge, words);
    nc_gl_tip5_squeeze(&sponge, words);
    for (i = 0; i < 10; i++) out[i] = words[9 - i];
    out[10] = 999;
    for (i = 0; i < 10; i++) sprintf(tir + strlen(tir), "push %d\n", i + 3);
    strcat(tir, "sponge_absorb\nsponge_squeeze\nwrite_io 10\nwrite_io 1\nhalt\n");
    check_output(tir, NULL, out, 11);
    for (i = 0; i < 10; i++) ram[2 * i] = (uint64_t)(200 + i), ram[2 * i + 1] = (uint64_t)(i + 3);
    input.ram = ram;
    input.ram_count = 10;
    check_output("push 999\nsponge_init\npush 200\nsponge_load\nsponge_squeeze\nwrite_io 10\n"
                 "write_io 1\nhalt\n",
                 &input, out, 11);
    for (fields = 0; fields <= 9;
         fields++) { /* tag, words in their order, zeros; element 0 first */
        memset(words, 0, sizeof words);
        words[0] = 4;
        strcpy(tir, "");
        for (i = 1; i <= fields; i++) {
            words[i] = (nc_gl)(10 * i);
            sprintf(tir + strlen(tir), "push %d\n", 10 * i);
        }
        sprintf(tir + strlen(tir), "seal E 4 %d\nhalt\n", fields);
        nc_gl_tip5_hash_10(words, digest);
        check_output(tir, NULL, digest, 5);
    }
    for (right = 0; right < 2; right++) {
        if (right)
            nc_gl_tip5_hash_pair(sibling, node, digest);
        else
            nc_gl_tip5_hash_pair(node, sibling, digest);
        out[0] = 205;
        for (i = 0; i < 5; i++) out[1 + i] = digest[4 - i];
        out[6] = 1;
        out[7] = 777;
        for (i = 0; i < 5; i++) ram[2 * i] = (uint64_t)(200 + i), ram[2 * i + 1] = sibling[i];
        memset(&input, 0, sizeof input);
        input.ram = ram;
        input.ram_count = 5;
        input.secret_digests = sibling;
        input.digest_count = 1;
        sprintf(tir, "push 777\npush %d\npush 1\npush 2\npush 3\npush 4\npush 5\n", 2 + right);
        strcat(tir, "push 200\nmerkle_load\nwrite_io 8\nhalt\n");
        check_output(tir, &input, out, 8);
        sprintf(tir, "push 777\npush %d\npush 1\npush 2\npush 3\npush 4\npush 5\n", 2 + right);
        strcat(tir, "merkle_step\nwrite_io 7\nhalt\n");
        check_output(tir, &input, out + 1, 7);
    }
}

/* Memory in which the first place looked at is free, or not, or holds two values whose sum is 0. */
static size_t fill_memory(int pattern, uint64_t *ram) {
    static const uint64_t base[] = {1u << 29, 1u << 30, UINT64_C(1) << 31,
                                    UINT64_C(0xFFFFFFFF00000001) - 32};
    size_t n = 0, i, k;
    for (i = 0; i < 100; i++)
        if (pattern == 1 || (pattern == 2 && i % 17 == 0)) {
            ram[n++] = i;
            ram[n++] = i + 101;
        }
    for (k = 0; pattern && k < 4; k++)
        for (i = 0; i < 32; i++) {
            if (pattern == 3 && k == 2 && i > 1) continue;
            ram[n++] = base[k] + i;
            ram[n++] = pattern == 3 && k == 2 ? (i ? 1 : UINT64_C(0xFFFFFFFF00000000)) : 997 + i;
        }
    return n / 2;
}

/* Random moves on 80 elements, then all of them and all that memory holds. */
static void moves_of_any_depth_keep_the_stack_and_memory(void **state) {
    static const uint64_t peek[] = {0,
                                    1,
                                    50,
                                    99,
                                    1u << 30,
                                    UINT64_C(1) << 31,
                                    (UINT64_C(1) << 31) + 1,
                                    (UINT64_C(1) << 31) + 31};
    static char tir[1 << 16];
    static uint64_t stack[400], out[500], ram[1000];
    uint64_t seed = 4;
    int pattern, trial, i, k;
    (void)state;
    for (pattern = 0; pattern < 4; pattern++)
        for (trial = 0; trial < 12; trial++) {
            const int moves = trial < 6 ? 1 : 8 * trial; /* one alone, or many */
            nc_tir_input input = {0};
            size_t n = 80, count = 0, m;
            input.ram_count = fill_memory(pattern, ram);
            input.ram = ram;
            tir[0] = 0;
            for (i = 0; i < 80; i++) {
                stack[i] = (uint64_t)(i % 7);
                sprintf(tir + strlen(tir), "push %d\n", i % 7);
            }
            for (i = 0; i < moves; i++) {
                const size_t depth = test_random(&seed) % (n < 78 ? n : 78);
                const int kind = (int)(test_random(&seed) % 3);
                if (kind == 0) {
                    sprintf(tir + strlen(tir), "dup %zu\n", depth);
                    stack[n] = stack[n - 1 - depth];
                    n++;
                } else if (kind == 1 && n > 40) {
                    sprintf(tir + strlen(tir), "pop 1\n");
                    n--;
                } else {
                    const uint64_t kept = stack[n - 1];
                    sprintf(tir + strlen(tir), "swap %zu\n", depth);
                    stack[n - 1] = stack[n - 1 - depth];
                    stack[n - 1 - depth] = kept;
                }
            }
            for (k = 0; k < 8; k++) {
                sprintf(tir + strlen(tir), "push %llu\nram_read 1\nwrite_io 1\n",
                        (unsigned long long)peek[k]);
                for (m = 0; m < input.ram_count && ram[2 * m] != peek[k]; m++) {
                }
                out[count++] = m < input.ram_count ? ram[2 * m + 1] : 0;
            }
            sprintf(tir + strlen(tir), "write_io %zu\nhalt\n", n);
            while (n > 0) out[count++] = stack[--n];
            check_output(tir, &input, out, count);
        }
}

/* What a benchmark of the newest compiler gives a program and expects of it. */
typedef struct vector {
    const char *tir;
    uint64_t in[5], secret[5], out[6]; /* out: last word first where the program leaves it on top */
    size_t in_count, secret_count, out_count;
    nc_tir_outcome outcome;
    nc_gl last; /* of the fifteen words of secret digests, 1 to 14 before it */
} vector;

/* Run this text, which is changed, and compare. */
static void check_vector(const vector *v, char *tasm) {
    nc_gl digests[15];
    nc_tir_input input = {0};
    nc_tir_execution x;
    nc_error err;
    size_t i;
    for (i = 0; i < 14; i++) digests[i] = i + 1;
    digests[14] = v->last;
    input.public_input = v->in, input.public_count = v->in_count;
    input.secret_input = v->secret, input.secret_count = v->secret_count;
    input.secret_digests = v->last ? digests : digests + 5; /* one step: 6 to 10 */
    input.digest_count = v->last ? 3 : 1;
    if (nc_tir_execute(tasm, &input, &x, &err) != NC_OK)
        fail_msg("%d:%d %s\n%s", err.line, err.column, err.message, v->tir);
    if (x.outcome != v->outcome) fail_msg("%s: %s", v->tir, nc_tir_outcome_str(x.outcome));
    if (v->outcome == NC_TIR_HALTED) assert_int_equal(x.output_count, v->out_count);
    for (i = 0; v->outcome == NC_TIR_HALTED && i < v->out_count; i++)
        if (x.output[i] != v->out[i])
            fail_msg("%s\n%zu: %llu, not %llu", v->tir, i, (unsigned long long)x.output[i],
                     (unsigned long long)v->out[i]);
    nc_tir_free_output(&x);
}

/* Inputs and outputs that the newest compiler's own benchmarks expect, computed by others (integer
   arithmetic, twenty-first's Tip5); the programs are ours. The classical code and the optimised. */
static void outputs_are_those_of_its_benchmarks(void **state) {
#define MERKLE "read_io 1\npush 1\npush 2\npush 3\npush 4\npush 5\nmerkle_step\nwrite_io 6\nhalt\n"
#define FIBONACCI                                                                                  \
    "entry_parameters field\nentry main\nfn_start main\npush 0\nswap 1\npush 1\nswap 1\n"          \
    "call loop__1\npop 2\nwrite_io 1\nreturn\nloop loop__1\ndup 1\nswap 3\nswap 1\nswap 2\nadd\n"  \
    "swap 1\nend\nfn_end\n"
#define PATH                                                                                       \
    "hint 5\npush 5\ndup 5\ndup 5\ndup 5\ndup 5\ndup 5\nmerkle_step\nmerkle_step\nmerkle_step\n"   \
    "read_io 5\nassert 5\npop 6\nwrite_io 5\nhalt\n"
#define ROOT                                                                                       \
    {                                                                                              \
        14329515731788381556u, 3827815838500477559u, 9574073180482250751u, 8882237803091421092u,   \
            8268958998701679952u                                                                   \
    }
#define PREIMAGE                                                                                   \
    "hint 1\npush 0\npush 0\npush 0\npush 0\npush 0\npush 0\npush 0\npush 0\npush 0\nhash 0\n"     \
    "read_io 5\nassert 5\npush 1\nwrite_io 1\nhalt\n"
#define POSTIMAGE                                                                                  \
    {                                                                                              \
        8246125568716920169u, 16596689167115763045u, 13164597619125278720u, 862365898050978412u,   \
            12476256998795049071u                                                                  \
    }
#define U32 "entry_parameters u32\nentry main\nfn_start main\nwrite_io 1\nreturn\nfn_end\n"
    static const vector vectors[] = {
        {"entry_parameters u32\nentry main\nfn_start main\ndup 0\nlog2\nwrite_io 1\npop_count\n"
         "write_io 1\npush 3\npush 5\npow\nwrite_io 1\nreturn\nfn_end\n",
         {255},
         {0},
         {7, 8, 243},
         1,
         0,
         3,
         NC_TIR_HALTED,
         0},
        {MERKLE,
         {2},
         {0},
         {6029014391627118288u, 1108553480921430050u, 17271032843874487437u, 7750847691288459381u,
          10818500669765797222u, 1},
         1,
         0,
         6,
         NC_TIR_HALTED,
         0},
        {MERKLE,
         {3},
         {0},
         {8218273595110015157u, 5159737107377983154u, 11110775259525084565u, 13206052088163226383u,
          4196226891093436203u, 1},
         1,
         0,
         6,
         NC_TIR_HALTED,
         0},
        {FIBONACCI, {0}, {0}, {0}, 1, 0, 1, NC_TIR_HALTED, 0},
        {FIBONACCI, {1}, {0}, {1}, 1, 0, 1, NC_TIR_HALTED, 0},
        {FIBONACCI, {10}, {0}, {55}, 1, 0, 1, NC_TIR_HALTED, 0},
        {FIBONACCI, {100}, {0}, {3736710860384812976u}, 1, 0, 1, NC_TIR_HALTED, 0},
        {"read_io 2\ndup 1\ndup 1\nadd\nwrite_io 1\ndup 1\ndup 1\nmul\nwrite_io 1\ndup 1\ndup 1\n"
         "sub\nwrite_io 1\ndup 1\nneg\nwrite_io 1\ninvert\nwrite_io 1\nhalt\n",
         {18446744069414584319u, 7},
         {0},
         {5, 18446744069414584307u, 18446744069414584312u, 2, 2635249152773512046u},
         2,
         0,
         5,
         NC_TIR_HALTED,
         0},
        {"push 0\npush 1\npush 2\npush 3\npush 4\npush 5\npush 6\npush 7\npush 8\npush 9\nhash 0\n"
         "write_io 5\nhalt\n",
         {0},
         {0},
         {8384034896017378691u, 4643011738479212626u, 7132587465497701049u, 8302474967766940368u,
          3110372704410120700u},
         0,
         0,
         5,
         NC_TIR_HALTED,
         0},
        {PATH, ROOT, {17}, {0, 0, 0, 0, 17}, 5, 5, 5, NC_TIR_HALTED, 15},
        {PATH, ROOT, {17}, {0}, 5, 5, 0, NC_TIR_CRASH_ASSERT, 16}, /* another sibling */
        {PREIMAGE, POSTIMAGE, {17}, {1}, 5, 1, 1, NC_TIR_HALTED, 0},
        {PREIMAGE, POSTIMAGE, {18}, {0}, 5, 1, 0, NC_TIR_CRASH_ASSERT, 0},
        {U32, {4294967295u}, {0}, {4294967295u}, 1, 0, 1, NC_TIR_HALTED, 0},
        {U32, {4294967296u}, {0}, {0}, 1, 0, 0, NC_TIR_CRASH_ASSERT, 0},
        {"read_io 2\nswap 1\nwrite_io 2\nhalt\n",
         {17, 29},
         {0},
         {17, 29},
         2,
         0,
         2,
         NC_TIR_HALTED,
         0},
        {"push 100\npush 17\nram_write 1\npush 101\npush 29\nram_write 1\npush 100\nram_read 1\n"
         "write_io 1\npush 101\nram_read 1\nwrite_io 1\nhalt\n",
         {0},
         {0},
         {17, 29},
         0,
         0,
         2,
         NC_TIR_HALTED,
         0},
        {"entry main\nfn_start main\npush 100\npush 2\nram_write 1\npush 101\npush 3\nram_write 1\n"
         "push 102\npush 5\nram_write 1\npush 7\npush 0\npush 3\ncall horner\npop 1\nwrite_io 1\n"
         "pop 1\nreturn\nloop horner\nswap 1\ndup 2\nmul\ndup 1\npush 100\nadd\nram_read 1\nadd\n"
         "swap 1\nend\nfn_end\n",
         {0},
         {0},
         {268},
         0,
         0,
         1,
         NC_TIR_HALTED,
         0},
        {"push 100\npush 2\npush 3\npush 4\nram_write 3\npush 200\npush 5\nram_write 1\npush 0\n"
         "push 0\npush 0\npush 100\npush 200\nfold_base\nwrite_io 5\nhalt\n",
         {0},
         {0},
         {201, 103, 20, 15, 10},
         0,
         0,
         5,
         NC_TIR_HALTED,
         0},
    };
    size_t i;
    (void)state;
    for (i = 0; i < sizeof vectors / sizeof *vectors; i++) {
        char *tasm = lower(vectors[i].tir);
        nc_tir_options options = {0};
        nc_tir_program *program;
        nc_error err;
        check_vector(&vectors[i], tasm);
        nc_tir_free_text(tasm);
        options.target = NC_TIR_TARGET_TRISHA;
        assert_int_equal(nc_tir_parse(&program, vectors[i].tir, strlen(vectors[i].tir), &err),
                         NC_OK);
        assert_int_equal(nc_tir_optimize(program, &options, &tasm, NULL, &err), NC_OK);
        check_vector(&vectors[i], tasm);
        nc_tir_free_text(tasm);
        nc_tir_destroy(program);
    }
}

static void parameters_are_read_and_checked(void **state) {
    static const struct {
        uint64_t in[3];
        nc_tir_outcome outcome;
    } cases[] = {{{1, 18446744069414584320u, 4294967295u}, NC_TIR_HALTED},
                 {{0, 5, 0}, NC_TIR_HALTED},
                 {{2, 5, 0}, NC_TIR_CRASH_ASSERT},
                 {{1, 5, 4294967296u}, NC_TIR_CRASH_ASSERT}};
    char *tasm = lower("entry_parameters bool field u32\nentry main\nfn_start main\nwrite_io 3\n"
                       "return\nfn_end\n");
    nc_tir_execution x;
    size_t i, k;
    (void)state;
    for (i = 0; i < sizeof cases / sizeof *cases; i++) {
        nc_tir_input input = {0};
        input.public_input = cases[i].in;
        input.public_count = 3;
        assert_int_equal(nc_tir_execute(tasm, &input, &x, NULL), NC_OK);
        assert_int_equal(x.outcome, cases[i].outcome);
        for (k = 0; k < x.output_count; k++) assert_int_equal(x.output[k], cases[i].in[2 - k]);
        assert_int_equal(x.output_count, x.outcome == NC_TIR_HALTED ? 3 : 0);
        nc_tir_free_output(&x);
    }
    nc_tir_free_text(tasm);
}

static void what_the_newest_compiler_refuses_is_refused(void **state) {
    static const char *const bad[] = {
        "target_call other 0 5\n",
        "target_call triton_program_digest 1 5\n",
        "if_only\n  target_call triton_stark_verify_v1 4 0\nend\n",
        "comment ERROR: no such type\n",
        "if_only\n  comment ERROR: no such type\nend\n",
        "entry main\nentry main\n",
        "if_only\n  entry main\nend\n",
        "fn_start f\nentry main\nfn_end\n",
        "entry_parameters field\nhalt\n",
        "entry_parameters field\n",
        "entry main\nentry_parameters field\n",
        "entry_parameters field\nentry_parameters field\nentry main\n",
        "proof_block ab\n  entry_parameters field\n  entry main\nend\n",
        "reveal E 1 17\n",
        "seal E 1 10\n",
        "ram_read 0\n",
        "ram_read 17\n",
        "ram_write 16\n",
    };
    static const char *const good[] = {"comment ERROR\n", "entry_parameters \nentry main\n",
                                       "fn_start f\nfn_end\nentry main\n", "reveal E 1 16\n",
                                       "ram_read 16\nram_write 15\n"};
    char *tasm;
    size_t i;
    (void)state;
    for (i = 0; i < sizeof bad / sizeof *bad; i++) {
        nc_tir_program *program;
        assert_int_equal(nc_tir_parse(&program, bad[i], strlen(bad[i]), NULL), NC_OK);
        if (nc_tir_lower(program, NC_TIR_TARGET_TRISHA, &tasm) != NC_ERR_UNSUPPORTED)
            fail_msg("%s", bad[i]);
        assert_null(tasm);
        nc_tir_destroy(program);
    }
    for (i = 0; i < sizeof good / sizeof *good; i++) nc_tir_free_text(lower(good[i]));
}

static void too_long_code_is_an_error(void **state) {
    nc_tir_program *program;
    nc_tir_op op = {NC_TIR_DUP, 0, 65535, NULL};
    char *tasm;
    int i;
    (void)state;
    assert_int_equal(nc_tir_create(&program), NC_OK);
    for (i = 0; i < 40; i++) assert_int_equal(nc_tir_append(program, &op), NC_OK);
    assert_int_equal(nc_tir_lower(program, NC_TIR_TARGET_TRISHA, &tasm), NC_ERR_LIMIT);
    assert_null(tasm);
    nc_tir_destroy(program);
}

/* The machines get counts in fives and values of the field, the old compiler's mirror does not. */
static void other_targets_take_the_same_operations(void **state) {
    static const char text[] = "push 18446744069414584326\npop 7\nhint 6\n";
    static const char *const expected[] = {
        "    push 18446744069414584326\n    pop 7\n    divine 6\n",
        "    push 5\n    pop 5\n    pop 2\n    divine 5\n    divine 1\n",
        "    push 5\n    pop 5\n    pop 2\n    divine 5\n    divine 1\n"};
    nc_tir_program *program;
    char *tasm;
    int target;
    (void)state;
    assert_int_equal(nc_tir_parse(&program, text, strlen(text), NULL), NC_OK);
    for (target = 0; target < 3; target++) {
        assert_int_equal(nc_tir_lower(program, (nc_tir_target)target, &tasm), NC_OK);
        assert_string_equal(tasm, expected[target]);
        nc_tir_free_text(tasm);
    }
    nc_tir_destroy(program);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_operation_is_lowered_as_the_newest_compiler_does),
        cmocka_unit_test(bodies_come_behind_their_function),
        cmocka_unit_test(deep_elements_are_reached_through_memory),
        cmocka_unit_test(several_deep_moves_are_one_where_that_is_shorter),
        cmocka_unit_test(random_programs_become_what_a_second_reading_says),
        cmocka_unit_test(operands_are_taken_in_the_order_of_the_language),
        cmocka_unit_test(hashes_are_those_of_the_library),
        cmocka_unit_test(moves_of_any_depth_keep_the_stack_and_memory),
        cmocka_unit_test(outputs_are_those_of_its_benchmarks),
        cmocka_unit_test(parameters_are_read_and_checked),
        cmocka_unit_test(what_the_newest_compiler_refuses_is_refused),
        cmocka_unit_test(too_long_code_is_an_error),
        cmocka_unit_test(other_targets_take_the_same_operations),
    };
    return cmocka_run_group_tests_name("tir trisha", tests, NULL, NULL);
}
