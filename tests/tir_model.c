/* nc_tirneural.h, the list of instructions and the sections blocks, network, training, trainer. */
#define _DEFAULT_SOURCE
#define NC_STATIC /* its own copy: lists and gradients are looked at from inside */
#define STB_DS_IMPLEMENTATION
#include <stb/stb_ds.h>
#define NC_IMPLEMENTATION
#include "../nc_tirneural.h"
#include "test.h"
#include <time.h>
#include <unistd.h>

static const char sample[] = "f: dup 1 push 5 push -1 mul add dup 0 mul swap 2 pop 2 write_io 1 "
                             "dup 3 dup 3 add dup 2 push 1 split swap 1 pop 1 mul add swap 4 pop 3 "
                             "push 1 dup 2 dup 2 lt pop 1 pop 1 read_mem 2 push 3 add return "
                             "g: push 3 dup 1 push 3 push -1 mul add swap 3 pop 1 dup 0 dup 0 mul "
                             "mul swap 1 dup 1 push 2 mul add split swap 2 pop 2 return";

/* A program that does one instruction on 40 ones, with input and RAM for all of them. */
static nc_tir_execution run_one(const char *line, const nc_tir__instruction *table) {
    static const nc_gl ones[64] = {1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1};
    nc_tir_input input = {0};
    nc_tir_execution x;
    char program[1024] = "";
    nc_error err;
    int i;
    for (i = 0; i < 40; i++) strcat(program, "push 1 ");
    if (table->channel == NC_TIR__CHANNEL_SPONGE) strcat(program, "sponge_init ");
    if (table->flags & NC_TIR__NO_RELEASE) input.machine = NC_TIR_TARGET_TRITON_MAIN;
    strcat(program, line);
    strcat(program, "halt");
    input.public_input = input.secret_input = input.secret_digests = input.ram = ones;
    input.public_count = input.secret_count = 10;
    input.digest_count = 2;
    if (nc_tir_execute(program, &input, &x, &err) != NC_OK) fail_msg("%s: %s", line, err.message);
    if (x.outcome != NC_TIR_HALTED) fail_msg("%s: %s", line, nc_tir_outcome_str(x.outcome));
    nc_tir_free_output(&x);
    return x;
}

/* Each row of NC_TIR__INSTRUCTIONS: its name, its text, its stack effect on the machine, to the
 * prover and in the encoding; nothing here knows a single instruction. */
static void every_instruction_does_what_its_row_says(void **state) {
    nc_tir__prover *p = malloc(sizeof *p);
    uint32_t op;
    (void)state;
    for (op = 0; op < NC_TIR__I_COUNT; op++) {
        const nc_tir__instruction *table = &nc_tir__table[op];
        const int counts = nc_tir__counts(table), index = table->arg == NC_TIR__ARG_INDEX;
        const nc_tir__tasm t = nc_tir__make(op, table->arg == NC_TIR__ARG_FIELD ? 3
                                                : counts || index               ? 2
                                                                                : 0);
        const int effect = (int)nc_tir__pushes(&t) - (int)nc_tir__pops(&t);
        nc_gl words[NC_TIR_BLOCK_WORDS];
        nc__buffer text = {0};
        nc_tir__code code;
        char *again;
        assert_int_equal(nc_tir__find_op(table->name, strlen(table->name)), op);
        if (table->flags & NC_TIR__JUMPS) {
            assert_int_equal(nc_tir__interpret(p, &t, 1), NC_TIR_NOT_STRAIGHT);
            continue;
        }
        nc_tir__print_instruction(&text, NULL, &t);
        assert_int_equal(nc_tir__read_tasm(text.data, NC_TIR__FOR_PROOF, &code, NULL), NC_OK);
        assert_int_equal(stbds_arrlen(code.list), 1);
        assert_int_equal(code.list[0].op, op);
        assert_int_equal(code.list[0].arg, t.arg);
        if (op != NC_TIR__I_OR && (int)run_one(text.data, table).depth != 16 + 40 + effect)
            fail_msg("%s: another effect on the machine", table->name);
        assert_int_equal(nc_tir__interpret(p, &t, 1), NC_TIR_PROVEN);
        if ((int)p->before.n - NC_TIR__INPUTS != effect)
            fail_msg("%s: another effect to the prover", table->name);
        assert_int_equal(nc_tir__prove(p, &t, 1, &t, 1), NC_TIR_PROVEN);
        assert_int_equal(nc_tir_encode(text.data, words, NULL), NC_OK);
        assert_int_equal(nc_tir_decode(words, &again), NC_OK);
        assert_string_equal(again, text.data);
        nc_tir_free_text(again);
        nc_tir__code_free(&code);
        nc__buffer_free(&text);
    }
    free(p);
}

/* What a kind lowers to for a machine is code that this machine has; so is what the newest compiler
   makes of it for the release, but for `or`. Only this compiler has the last two. */
static void no_operation_needs_what_its_machine_lacks(void **state) {
    int kind, target;
    (void)state;
    for (target = NC_TIR_TARGET_TRITON; target <= NC_TIR_TARGET_TRISHA; target++)
        for (kind = 0; kind < NC_TIR_TARGET_CALL; kind++) {
            const nc_tir__form *form = &nc_tir__forms[kind];
            const int newest = target == NC_TIR_TARGET_TRISHA;
            const int purpose =
                target == NC_TIR_TARGET_TRITON_MAIN ? NC_TIR__FOR_MAIN : NC_TIR__FOR_RELEASE;
            nc_tir_program *program;
            nc_tir__code code;
            nc_error err;
            nc_tir_op op = {(nc_tir_kind)kind, 2, form->argument == NC_TIR__A_COUNT ? 7 : 1,
                            form->argument == NC_TIR__A_ASM ? "nop\n" : "x"};
            char *tasm;
            assert_int_equal(nc_tir_create(&program), NC_OK);
            assert_int_equal(nc_tir_append(program, &op), NC_OK);
            if (form->bodies) assert_int_equal(nc_tir_end(program), NC_OK);
            assert_int_equal(nc_tir_lower(program, (nc_tir_target)target, &tasm), NC_OK);
            if ((nc_tir__read_tasm(tasm, purpose, &code, &err) == NC_OK) !=
                !(newest && kind == NC_TIR_OR))
                fail_msg("%s: %s", form->name, err.message);
            nc_tir__code_free(&code);
            nc_tir_free_text(tasm);
            nc_tir_destroy(program);
        }
}

static void check_encoding(const char *tasm) {
    nc_gl words[NC_TIR_BLOCK_WORDS], again[NC_TIR_BLOCK_WORDS];
    nc_error err;
    char *text;
    assert_int_equal(nc_tir_encode(tasm, words, &err), NC_OK);
    assert_int_equal(nc_tir_decode(words, &text), NC_OK);
    assert_int_equal(nc_tir_encode(text, again, &err), NC_OK);
    assert_memory_equal(words, again, sizeof words);
    nc_tir_free_text(text);
}

static void blocks_are_encoded_and_decoded(void **state) {
    nc_gl words[NC_TIR_BLOCK_WORDS];
    nc_error err;
    char *text;
    int op, i;
    (void)state;
    /* node 2 adds what nodes 0 and 1 made; st3 is read by node 3 and counts as a u32 */
    assert_int_equal(nc_tir_encode("push 7 dup 3 add dup 3 lt", words, &err), NC_OK);
    assert_int_equal(words[0], (NC_TIR__I_PUSH + 1) | 1 << 6);
    assert_int_equal(words[1], 0);
    assert_int_equal(words[2], 2);
    assert_int_equal(words[3], 7);
    assert_int_equal(words[8], (NC_TIR__I_ADD + 1) | 2 << 6 | 2 << 9 | 0 << 14);
    assert_int_equal(words[8 + 2], 4);
    assert_int_equal(words[16], (NC_TIR__I_LT + 1) | 3 << 6 | 4 << 9 | 2 << 14);
    assert_int_equal(words[16 + 2], 32);
    assert_int_equal(words[128 + 2], (4 + 1) << 3 | 1);
    assert_int_equal(words[128 + 1], 0);
    {
        nc_gl plain[NC_TIR_BLOCK_WORDS]; /* error ids, hints and breaks are no part of it */
        assert_int_equal(nc_tir_encode("dup 0 assert", plain, &err), NC_OK);
        assert_int_equal(
            nc_tir_encode("hint a = stack[0] dup 0 break assert error_id 3", words, &err), NC_OK);
        assert_memory_equal(words, plain, sizeof words);
    }
    check_encoding("");
    for (op = 0; op < NC_TIR__I_COUNT; op++) { /* as much of one kind as a block holds */
        char deep[32 * 24] = "";
        if (nc_tir__table[op].flags & NC_TIR__JUMPS) continue;
        for (i = 0; i < 32; i++)
            sprintf(deep + strlen(deep), "%s%s\n", nc_tir__table[op].name,
                    nc_tir__table[op].arg == NC_TIR__ARG_NONE ? "" : " 5");
        check_encoding(deep);
    }
    check_encoding("push -1 divine 5 hash place 15 pick 3 sponge_init xx_mul assert_vector");
    assert_int_equal(nc_tir_encode("push 1 skiz", words, &err), NC_ERR_FORMAT);
    assert_int_equal(nc_tir_encode("a: push 1", words, &err), NC_ERR_FORMAT);
    assert_int_equal(
        nc_tir_encode("nop nop nop nop nop nop nop nop nop nop nop nop nop nop nop nop "
                      "nop nop nop nop nop nop nop nop nop nop nop nop nop nop nop nop "
                      "nop",
                      words, &err),
        NC_ERR_LIMIT);
    assert_int_equal(nc_tir_encode("push 1 add", words, &err), NC_OK);
    words[0] |= 1 << 9; /* made by a later node */
    assert_int_equal(nc_tir_decode(words, &text), NC_ERR_FORMAT);
    assert_null(text);
    words[0] ^= 1 << 9;
    assert_int_equal(nc_tir_decode(words, &text), NC_OK);
    nc_tir_free_text(text);
    assert_int_equal(nc_tir_encode("push 1\n  skiz", words, &err), NC_ERR_FORMAT);
    assert_int_equal(err.line, 2);
    assert_int_equal(err.column, 3);
    for (i = 0; i < 6; i++) { /* lies: who made an operand, how long it lives, what comes before */
        static const int lies[6][2] = {{8, 1 << 9}, {9, 1}, {10, 1}, {2, 3}, {129, 8}, {143, 1}};
        assert_int_equal(nc_tir_encode("push 7 dup 3 add dup 3 lt", words, &err), NC_OK);
        words[lies[i][0]] ^= (nc_gl)lies[i][1];
        assert_int_equal(nc_tir_decode(words, &text), NC_ERR_FORMAT);
        assert_null(text);
    }
}

static void hostile_words_are_refused_or_harmless(void **state) {
    nc_tir_model *model;
    nc_fixed *latents = malloc(NC_TIR_BLOCK_NODES * 64 * sizeof *latents);
    uint64_t seed = 3;
    int trial, good = 0;
    (void)state;
    assert_int_equal(nc_tir_model_create(&model, 1), NC_OK);
    for (trial = 0; trial < 3000; trial++) {
        nc_gl words[NC_TIR_BLOCK_WORDS];
        nc_status status;
        char *text;
        int edits = 1 + (int)(test_random(&seed) % 2);
        assert_int_equal(nc_tir_encode("push 7 dup 3 add dup 3 lt", words, NULL), NC_OK);
        while (edits-- > 0) {
            const uint64_t shift = test_random(&seed) % 64, word = test_random(&seed) >> shift;
            words[test_random(&seed) % 24] = word;
        }
        status = nc_tir_model_forward(model, words, 1, latents);
        assert_int_equal(status == NC_OK, nc_tir_decode(words, &text) == NC_OK);
        assert_true(status == NC_OK || status == NC_ERR_FORMAT);
        good += status == NC_OK;
        nc_tir_free_text(text);
    }
    assert_true(good > 0 && good < 1500);
    nc_tir_model_destroy(model);
    free(latents);
}

/* The encoder once more, one value at a time through the scalar functions of nc_fixed. */
static void naive_forward(const nc_tir_model *m, const nc_gl *words, nc_fixed *x) {
    static nc_fixed h[32 * 64], q[32 * 64], k[32 * 64], v[32 * 64], o[32 * 64], up[32 * 128];
    const nc_fixed limit = 1000 * NC_FIXED_ONE;
    uint32_t n = 0, i, j, c, d, l, head;
    while (n < 32 && words[4 * n]) n++;
    memset(x, 0, 32 * 64 * sizeof *x);
    for (i = 0; i < n; i++) {
        uint32_t rows[6];
        nc_tir__node_rows(words, i, rows);
        for (j = 0; j < 6; j++)
            for (c = 0; c < 64; c++)
                x[i * 64 + c] =
                    nc_fixed_add(x[i * 64 + c], m->w[NC_TIR__P_NODES + rows[j] * 64 + c]);
    }
#define DENSE(y, a, w, from, to)                                                                   \
    for (i = 0; i < n; i++)                                                                        \
        for (c = 0; c < to; c++) {                                                                 \
            nc_gl sum = 0;                                                                         \
            for (d = 0; d < from; d++)                                                             \
                sum = nc_gl_add(sum, nc_gl_mul(a[i * from + d], (w)[d * to + c]));                 \
            y[i * to + c] = nc_fixed_clamp(nc_fixed_rescale(sum), nc_gl_neg(limit), limit);        \
        }
    for (l = 0; l < 2; l++) {
        const nc_fixed *w = m->w + l * NC_TIR__LAYER;
        for (i = 0; i < n; i++)
            assert_int_equal(nc_fixed_layer_norm(h + i * 64, x + i * 64, 64, w + NC_TIR__L_GAMMA,
                                                 w + NC_TIR__L_BETA, 1),
                             NC_OK);
        DENSE(q, h, w + NC_TIR__L_Q, 64, 64)
        DENSE(k, h, w + NC_TIR__L_K, 64, 64)
        DENSE(v, h, w + NC_TIR__L_V, 64, 64)
        for (i = 0; i < n; i++)
            for (head = 0; head < 2; head++) {
                nc_fixed score[32];
                uint32_t node[32], count = 0;
                for (j = 0; j < n; j++) {
                    int dependency =
                        j == i || j == (words[4 * i] >> 9 & 31) || j == (words[4 * i] >> 14 & 31);
                    int together = words[4 * j + 1] <= words[4 * i + 2] &&
                                   words[4 * i + 1] <= words[4 * j + 2];
                    if (!dependency && !together) continue;
                    node[count] = j;
                    score[count++] = nc_fixed_mul(
                        nc_fixed_dot(q + i * 64 + head * 32, k + j * 64 + head * 32, 32), 11585);
                }
                assert_int_equal(nc_fixed_softmax(score, score, count), NC_OK);
                for (c = 0; c < 32; c++) {
                    nc_gl sum = 0;
                    for (j = 0; j < count; j++)
                        sum = nc_gl_add(sum, nc_gl_mul(score[j], v[node[j] * 64 + head * 32 + c]));
                    o[i * 64 + head * 32 + c] = nc_fixed_rescale(sum);
                }
            }
        DENSE(q, o, w + NC_TIR__L_O, 64, 64)
        for (i = 0; i < n * 64; i++) x[i] = nc_fixed_add(x[i], q[i]);
        DENSE(up, x, w + NC_TIR__L_UP, 64, 128)
        for (i = 0; i < n; i++)
            for (c = 0; c < 128; c++)
                up[i * 128 + c] =
                    nc_fixed_relu(nc_fixed_add(up[i * 128 + c], w[NC_TIR__L_BIAS + c]));
        DENSE(q, up, w + NC_TIR__L_DOWN, 128, 64)
        for (i = 0; i < n * 64; i++) x[i] = nc_fixed_add(x[i], q[i]);
    }
#undef DENSE
}

static void forward_is_the_naive_one_bit_for_bit(void **state) {
    static const char *const blocks[] = {
        "push 7", "dup 1 push 5 push -1 mul add dup 0 mul swap 2 pop 2 write_io 1",
        ("divine 5 divine 5 dup 4 dup 4 dup 4 push 0 swap 7 hash pop 5 dup 0 split swap 2 pop 1 lt "
         "dup 1 assert read_mem 3 xor write_mem 2 pop 1 sponge_init push 5 mul add swap 3 dup 2 "
         "eq")};
    nc_gl words[3 * NC_TIR_BLOCK_WORDS];
    nc_fixed *latents = malloc(3 * 32 * 64 * sizeof *latents);
    nc_fixed *expected = malloc(3 * 32 * 64 * sizeof *latents);
    nc_tir_model *model;
    size_t embedding;
    uint64_t digest;
    int i, level;
    (void)state;
    assert_int_equal(nc_tir_model_parameters(&embedding), 90816);
    assert_int_equal(embedding, 80320);
    assert_int_equal(nc_tir_model_create(&model, 42), NC_OK);
    for (i = 0; i < 3; i++) {
        assert_int_equal(nc_tir_encode(blocks[i], words + i * NC_TIR_BLOCK_WORDS, NULL), NC_OK);
        naive_forward(model, words + i * NC_TIR_BLOCK_WORDS, expected + i * 32 * 64);
    }
    for (level = 0; level <= 3; level++) {
        nc_gl_set_simd(level);
        assert_int_equal(nc_tir_model_forward(model, words, 3, latents), NC_OK);
        assert_memory_equal(latents, expected, 3 * 32 * 64 * sizeof *latents);
    }
    nc_gl_set_simd(-1);
    /* golden: this test's first run, on an x86-64 machine */
    digest = nc__fnv1a(NC__FNV_START, latents, 3 * 32 * 64 * sizeof *latents);
    if (digest != UINT64_C(0x13cb0182d13cd7eb))
        fail_msg("digest of the latents: %016llx", (unsigned long long)digest);
    nc_tir_model_destroy(model);
    free(latents);
    free(expected);
}

static void pack(const nc_tir_model *model, uint8_t *file) {
    nc__buffer b = {0};
    nc_tir__put_weights(&b, model);
    memcpy(file, b.data, b.used);
    nc__buffer_free(&b);
}

static void weights_files_are_read_as_hostile(void **state) {
    char path[] = "build/tir_model_test.bin";
    nc_tir_model *model, *again, *copy;
    nc_gl a[4], b[4];
    nc_error err;
    uint8_t *file;
    size_t bytes, i;
    uint64_t seed = 11;
    (void)state;
    assert_int_equal(nc_tir_model_create(&model, 5), NC_OK);
    assert_int_equal(nc_tir_model_copy(&copy, model), NC_OK);
    assert_int_equal(nc_tir_model_save(copy, path, &err), NC_OK);
    assert_int_equal(nc_tir_model_load(&again, path, &err), NC_OK);
    nc_tir_model_digest(model, a);
    nc_tir_model_digest(again, b);
    assert_memory_equal(a, b, sizeof a);
    nc_tir_model_destroy(again);
    assert_int_equal(nc__file_read(path, NULL, &file, &bytes, &err), NC_OK);
    assert_int_equal(bytes, 16 + 4 * (90816 + 80320) + 32);
    for (i = 0; i < 300; i++) {
        size_t at = i < 60 ? i : test_random(&seed) % bytes;
        uint8_t old = file[at];
        file[at] ^= (uint8_t)(1u << (test_random(&seed) % 8));
        assert_int_not_equal(nc_tir_model_read(&again, file, bytes, &err), NC_OK);
        assert_null(again);
        assert_true(err.message[0] != 0);
        file[at] = old;
    }
    for (i = 0; i < 100; i++)
        assert_int_not_equal(nc_tir_model_read(&again, file, i < 50 ? i : bytes - 1 - i, &err),
                             NC_OK);
    model->w[700] = 8 * NC_FIXED_ONE; /* the digest is right, the weight too large */
    pack(model, file);
    assert_int_equal(nc_tir_model_read(&again, file, bytes, &err), NC_ERR_FORMAT);
    assert_non_null(strstr(err.message, "weight 700"));
    model->w[700] = nc_gl_neg(8 * NC_FIXED_ONE - 1);
    pack(model, file);
    assert_int_equal(nc_tir_model_read(&again, file, bytes, &err), NC_OK);
    nc_tir_model_destroy(again);
    file[6] = '1';
    assert_int_equal(nc_tir_model_read(&again, file, bytes, &err), NC_ERR_UNSUPPORTED);
    assert_int_equal(nc_tir_model_load(&again, "build/no_such_file", &err), NC_ERR_IO);
    assert_int_equal(nc_tir_model_save(model, "build/no/such/folder/x", &err), NC_ERR_IO);
    nc__free(NULL, file, bytes + 1);
    nc_tir_model_destroy(model);
    nc_tir_model_destroy(copy);
    (void)remove(path);
}

/* The shipped weights, when they are the file the tests know: optimise with them. */
static void shipped_weights_guide_to_proven_code(void **state) {
    nc_tir_options options = {0};
    nc_tir_model *model;
    nc_tir_report r;
    nc_error err;
    char *a, *b;
    (void)state;
    assert_int_equal(nc_tir_model_load(&model, "examples/data/tir_weights.bin", &err), NC_OK);
    options.model = model;
    assert_int_equal(nc_tir_optimize_tasm(sample, &options, &a, &r, &err), NC_OK);
    assert_int_equal(nc_tir_optimize_tasm(sample, &options, &b, NULL, &err), NC_OK);
    assert_string_equal(a, b);
    assert_true(r.improved == 2 && r.proofs >= 2 && r.instructions_after < r.instructions_before);
    nc_tir_free_text(a);
    nc_tir_free_text(b);
    nc_tir_model_destroy(model);
}

/* The decoder in small integers against the same sums one by one. */
static void the_decoder_is_the_naive_one_bit_for_bit(void **state) {
    nc_tir_model *model;
    uint16_t rows[NC_TIR__STATE_FEATURES];
    int16_t hidden[NC_TIR__FFN];
    int32_t out[2][NC_TIR__OUT];
    nc_tir__sums sums;
    uint64_t seed = 3, sum = 0;
    uint32_t large = 0, units[9] = {0};
    int round, i, k, c;
    (void)state;
    assert_int_equal(nc_tir_model_create(&model, 42), NC_OK);
    for (i = 0; i < 300; i++) /* some as large as they may be */
        model->w[NC_TIR__P_HIDDEN + 64 * 128 + test_random(&seed) % 8192] =
            i & 1 ? 8 * NC_FIXED_ONE - 1 : nc_gl_neg(8 * NC_FIXED_ONE - 1);
    nc_tir__derive(model);
    nc_tir__begin_sums(model, &sums);
    for (round = 0; round < 51; round++) {
        for (i = 0; i < 128 && round == 50; i++) { /* as far from 0 as they get, both ways */
            model->w[NC_TIR__P_OUT + i * 64 + 2] = nc_gl_neg(8 * NC_FIXED_ONE - 1);
            model->w[NC_TIR__P_OUT + i * 64 + 35] = 8 * NC_FIXED_ONE - 1;
        }
        if (round == 50) nc_tir__derive(model);
        for (i = 0; i < NC_TIR__STATE_FEATURES; i++)
            rows[i] = (uint16_t)(test_random(&seed) % NC_TIR__STATE_ROWS);
        nc_tir__hidden(model, &sums, rows, hidden);
        for (k = 0; k < 128; k++) {
            int64_t x = (nc_gl_to_i64(model->w[NC_TIR__P_HIDDEN_BIAS + k]) + 256) >> 9;
            for (i = 0; i < NC_TIR__STATE_FEATURES; i++) {
                int64_t row = 0;
                for (c = 0; c < 64; c++)
                    row +=
                        ((nc_gl_to_i64(model->w[NC_TIR__P_STATES + rows[i] * 64 + c]) + 128) >> 8) *
                        (int64_t)nc_tir__small(model->w[NC_TIR__P_HIDDEN + (64 + c) * 128 + k]);
                row = (row + 256) >> 9;
                x += row > 1023 ? 1023 : row < -1023 ? -1023 : row;
            }
            assert_int_equal(hidden[k], x < 0 ? 0 : x > 31 * 64 ? 31 : (x + 32) >> 6);
            large += x > 31 * 64;
        }
        for (k = 0; k < 128 && round == 50; k++) hidden[k] = 31;
        nc_tir__outputs(model, hidden, out[0]);
        nc_tir__outputs_by_words(model, hidden, out[1]);
        for (i = 0; i < 64; i++) {
            int64_t x = 0, least = 1, most = 1;
            int bits = 9;
            while (31 * most > 32767 || 31 * least < -32768 || bits == 9)
                for (bits--, x = least = most = k = 0; k < 128; k++) {
                    const int64_t w = nc_gl_to_i64(model->w[NC_TIR__P_OUT + k * 64 + i]);
                    const int64_t one = (w + (32768 >> bits)) >> (16 - bits);
                    *(one < 0 ? &least : &most) += one;
                    x += hidden[k] * one;
                }
            units[bits]++;
            x *= 1 << (8 - bits);
            x += (nc_gl_to_i64(model->w[NC_TIR__P_OUT_BIAS + i]) + 64) >> 7;
            assert_int_equal(out[0][i], x);
            assert_int_equal(out[1][i], x);
            if (round < 50) sum = sum * 31 + (uint64_t)x;
        }
    }
    assert_true(large > 50 && units[0] == 2 && units[7] > 100);
    /* golden: this test's first run, on an x86-64 machine */
    if (sum != UINT64_C(0x1d41fd62035152e5))
        fail_msg("sum of the outputs: %016llx", (unsigned long long)sum);
    nc_tir_model_destroy(model);
}

/* Sums that change where rows differ, and answers that are kept, are those made anew; another
 * model's are not taken for them. */
static void answers_are_those_made_anew(void **state) {
    nc_tir_model *models[2];
    uint16_t rows[64][NC_TIR__STATE_FEATURES];
    nc_tir__search *p;
    uint64_t seed = 5;
    uint32_t round, i, k, kept = 0;
    (void)state;
    for (i = 0; i < 2; i++) assert_int_equal(nc_tir_model_create(&models[i], 7 + i), NC_OK);
    p = nc_tir__search_new(models[0], 32);
    for (round = 0; round < 4000; round++) {
        const uint16_t *now = rows[round % 64];
        const nc_tir__answer *a;
        nc_tir__sums sums;
        int16_t hidden[NC_TIR__FFN];
        int32_t out[NC_TIR__OUT], top = INT32_MIN;
        if (round % 64 == 0) /* each differs from the one before in 0 to 28 rows */
            for (i = 0; i < 64; i++)
                for (k = 0; k < NC_TIR__STATE_FEATURES; k++)
                    rows[i][k] = i && k >= i % 29
                                     ? rows[i - 1][k]
                                     : (uint16_t)(test_random(&seed) % NC_TIR__STATE_ROWS);
        if (round % 1000 < 500) now = rows[test_random(&seed) % 64];
        p->model = models[round / 500 % 2];
        a = nc_tir__ask(p, now);
        kept += a == nc_tir__ask(p, now);
        nc_tir__begin_sums(p->model, &sums);
        nc_tir__hidden(p->model, &sums, now, hidden);
        nc_tir__outputs(p->model, hidden, out);
        for (i = 0; i < NC_TIR__OUT; i++) {
            assert_int_equal(a->logits[i], out[i]);
            if (i != NC_TIR__CODE_VALUE && out[i] > top) top = out[i];
        }
        assert_int_equal(a->least, top - NC_TIR__CUT_BELOW);
    }
    assert_int_equal(kept, round);
    nc_tir__search_free(p);
    for (i = 0; i < 2; i++) nc_tir_model_destroy(models[i]);
}

/* Every level of a search is a group in which a good move leads on, and a state that lies on no
 * shortest way has none. */
static void samples_follow_all_shortest_ways(void **state) {
    static const char text[] = "push 3 add swap 1 push 4 add swap 1";
    nc_tir__search *p = nc_tir__search_new(NULL, 0);
    nc_tir__training_set set;
    nc_tir__code code;
    uint32_t i, k, groups = 0, several = 0, best;
    (void)state;
    memset(&set, 0, sizeof set);
    p->keep_edges = 1;
    assert_int_equal(nc_tir__read_tasm(text, NC_TIR__FOR_ROWS, &code, NULL), NC_OK);
    best = (uint32_t)stbds_arrlenu(code.list);
    assert_true(nc_tir__find_shorter(p, code.list, best, best, 64));
    best = p->found_count;
    assert_true(nc_tir__add_samples(p, &set));
    for (i = 0; i < stbds_arrlenu(set.samples); i += set.samples[i].group, groups++) {
        uint32_t good[2] = {0, 0}, j;
        assert_true(set.samples[i].group == 1 || set.samples[i].group == 2);
        for (j = 0; j < set.samples[i].group; j++)
            for (k = 0; k < set.samples[i + j].options; k++)
                good[j] += set.options[set.samples[i + j].first_option + k].good;
        assert_true((good[0] > 0) != (good[1] > 0));
        several += good[0] + good[1] > 1;
    }
    assert_int_equal(groups, best);
    assert_true(several > 0); /* either addition may come first */
    nc_tir__training_set_free(&set);
    nc_tir__code_free(&code);
    nc_tir__search_free(p);
}

/* The states that a search keeps, every move being scored to the end: nc_tir__find without what it
 * leaves out. */
static void search_in_full(nc_tir__search *p, uint32_t limit, uint32_t width) {
    nc_tir__beam b;
    nc_tir__state start;
    uint32_t first = 0, last, i;
    int ended = 0;
    assert_true(nc_tir__begin(p, &b, &start));
    b.seen_mask = (1 << 20) - 1;
    b.seen = calloc(1 << 20, sizeof *b.seen);
    NC__EMPTY(p->states);
    stbds_arrput(p->states, start);
    for (p->level = 0; p->level + 1 < limit && !ended; p->level++) {
        last = (uint32_t)stbds_arrlenu(p->states);
        for (i = first; i < last && !p->toll; i++) ended |= nc_tir__at_goal(p, &p->states[i]);
        if (ended) break;
        NC__EMPTY(b.moves);
        for (i = first; i < last; i++) {
            b.s = &p->states[i];
            b.parent = i;
            nc_tir__expand(&b);
        }
        nc_tir__keep_best(&b, width);
        first = last;
    }
    p->moves = b.moves;
    free(b.seen);
}

/* Moves that a search does not score to the end are those that it would not keep, and what it says
 * is still to be done is never more than what is. */
static void a_search_leaves_out_only_what_it_would_not_keep(void **state) {
    static const char *const texts[] = {
        "push 3 add swap 1 push 4 add swap 1",
        "dup 1 push 5 push -1 mul add dup 0 mul swap 2 pop 2 write_io 1 dup 3 dup 3 add dup 2 push "
        "1 "
        "split swap 1 pop 1 mul add swap 4 pop 3",
        "swap 2 swap 5 swap 1 swap 7 dup 3 swap 4 dup 0 add swap 2 pop 1 read_io 3 swap 6 pop 2",
        "dup 4 dup 4 dup 4 dup 4 hash swap 5 pop 5 swap 7 swap 3 dup 9 swap 2 pop 2 mul dup 1 add",
        "dup 2 read_mem 3 pop 1 dup 5 push 1 add write_mem 2 swap 3 pop 1 dup 0 dup 2 xx_mul pop 1",
        "read_io 5 swap 2 swap 2 write_io 5 push 3 push 4 pop 2 read_mem 3 swap 1 swap 1 pop 1",
        "push 0 push 0 push 7 dup 5 dup 5 lt swap 2 pop 1 swap 1 divine 2 swap 3 pop 2 eq"};
    uint32_t i, k, width, kept = 0, ways = 0;
    nc_tir_model *model;
    (void)state;
    assert_int_equal(nc_tir_model_create(&model, 5), NC_OK);
    for (i = 0; i < 3 * sizeof texts / sizeof *texts; i++)
        for (width = 1; width <= 64; width *= 4) {
            nc_tir__search *p = nc_tir__search_new(i % 3 == 1 ? model : NULL, 32);
            nc_tir__state *states = NULL;
            nc_tir__code code;
            uint32_t n, limit;
            int found;
            if (i % 3 == 2) p->toll = 3;
            p->keep_edges = 1; /* no search ends early by the bound */
            assert_int_equal(nc_tir__read_tasm(texts[i / 3], NC_TIR__FOR_ROWS, &code, NULL), NC_OK);
            limit = (uint32_t)stbds_arrlenu(code.list) + 3;
            found = nc_tir__find_shorter(p, code.list, limit - 3, limit, width);
            n = (uint32_t)stbds_arrlenu(p->states);
            for (k = 0; k < n; k++) stbds_arrput(states, p->states[k]);
            if (found) { /* from the goal backwards */
                uint32_t at = p->goal_state, left;
                nc_tir__uses uses;
                for (left = 0; left <= p->found_count; left++, at = p->states[at].parent) {
                    nc_tir__count_uses(p, &p->states[at], &uses);
                    assert_true(nc_tir__moves_owed(&uses) <= (int32_t)left);
                    ways++;
                }
            }
            assert_int_equal(nc_tir__interpret(&p->prover, code.list, limit - 3), NC_TIR_PROVEN);
            search_in_full(p, limit, width);
            assert_int_equal(stbds_arrlenu(p->states), n);
            for (k = 0; k < n; k++, kept++) {
                assert_int_equal(states[k].hash, p->states[k].hash);
                assert_int_equal(states[k].parent, p->states[k].parent);
                assert_int_equal(states[k].op, p->states[k].op);
            }
            stbds_arrfree(states);
            nc_tir__code_free(&code);
            nc_tir__search_free(p);
        }
    assert_true(kept > 10000 && ways > 300);
    nc_tir_model_destroy(model);
}

/* With a network a level keeps no state whose score is beyond the margin, though there is room. */
static void a_guided_level_keeps_none_beyond_the_margin(void **state) {
    nc_tir__search *p = nc_tir__search_new(NULL, 0);
    nc_tir__state start;
    nc_tir__code code;
    nc_tir__beam b;
    uint32_t k;
    int sparing;
    (void)state;
    assert_int_equal(
        nc_tir__read_tasm("dup 1 dup 3 mul dup 3 add write_io 1", NC_TIR__FOR_ROWS, &code, NULL),
        NC_OK);
    assert_int_equal(nc_tir__interpret(&p->prover, code.list, 6), NC_TIR_PROVEN);
    assert_true(nc_tir__begin(p, &b, &start));
    b.seen_mask = 63;
    p->limit = 100;
    for (sparing = 0; sparing < 2; sparing++) {
        b.seen = calloc(64, sizeof *b.seen);
        b.sparing = sparing;
        NC__EMPTY(p->states);
        stbds_arrput(p->states, start);
        NC__EMPTY(b.moves);
        for (k = 0; k < 3; k++) {
            nc_tir__move m;
            memset(&m, 0, sizeof m);
            m.op = NC_TIR__I_SWAP;
            m.arg = k + 1;
            m.hash = (uint64_t)(k + 1) << 33;
            m.score = k ? 999 + NC_TIR__MARGIN + 4 * NC_TIR__MARGIN_WIDTH + (int32_t)k : 1000;
            stbds_arrput(b.moves, m);
        }
        nc_tir__keep_best(&b, 4); /* scores 1000, as far as the margin, and 1 beyond */
        assert_int_equal(stbds_arrlenu(p->states), sparing ? 3 : 4);
        free(b.seen);
    }
    p->moves = b.moves;
    nc_tir__code_free(&code);
    nc_tir__search_free(p);
}

/* A search that cannot end in time ends at once. */
static void a_search_does_not_begin_what_it_cannot_end(void **state) {
    nc_tir__search *p = nc_tir__search_new(NULL, 0);
    nc_tir__code code;
    (void)state;
    assert_int_equal(
        nc_tir__read_tasm("dup 1 dup 3 mul dup 3 add write_io 1", NC_TIR__FOR_ROWS, &code, NULL),
        NC_OK);
    assert_false(nc_tir__find_shorter(p, code.list, 6, 6, 32));
    assert_int_equal(p->expanded, 1);
    assert_true(nc_tir__find_shorter(p, code.list, 6, 7, 32));
    nc_tir__code_free(&code);
    nc_tir__search_free(p);
}

/* A part of a product that is needed too stays as it is. */
static void a_product_is_not_taken_apart_where_a_part_is_needed(void **state) {
    static const char *const texts[] = {
        "dup 0 addi -1 dup 1 addi -2 mul dup 1 addi -3 mul dup 1 addi -4 mul",
        "dup 0 addi -1 dup 1 addi -2 mul dup 1 addi -3 mul dup 0 write_io 1 dup 1 addi -4 mul"};
    static const uint32_t found[] = {8, 13};
    uint32_t i;
    (void)state;
    for (i = 0; i < 2; i++) {
        nc_tir__search *p = nc_tir__search_new(NULL, 0);
        nc_tir__code code;
        assert_int_equal(nc_tir__read_tasm(texts[i], NC_TIR__FOR_ROWS, &code, NULL), NC_OK);
        assert_true(nc_tir__find_shorter(p, code.list, stbds_arrlenu(code.list), found[i] + 1, 32));
        assert_int_equal(p->found_count, found[i]);
        nc_tir__code_free(&code);
        nc_tir__search_free(p);
    }
}

/* Straight-line code at random. */
static size_t random_code(uint64_t *seed, nc_tir__tasm *list, size_t n) {
    static const uint8_t ops[] = {
        NC_TIR__I_PUSH,     NC_TIR__I_PUSH,      NC_TIR__I_DUP,      NC_TIR__I_DUP,
        NC_TIR__I_DUP,      NC_TIR__I_SWAP,      NC_TIR__I_SWAP,     NC_TIR__I_PICK,
        NC_TIR__I_PLACE,    NC_TIR__I_POP,       NC_TIR__I_ADD,      NC_TIR__I_ADD,
        NC_TIR__I_MUL,      NC_TIR__I_ADDI,      NC_TIR__I_SPLIT,    NC_TIR__I_LT,
        NC_TIR__I_DIVINE,   NC_TIR__I_WRITE_IO,  NC_TIR__I_READ_MEM, NC_TIR__I_WRITE_MEM,
        NC_TIR__I_READ_MEM, NC_TIR__I_WRITE_MEM, NC_TIR__I_ASSERT,   NC_TIR__I_EQ};
    size_t i;
    for (i = 0; i < n; i++) {
        const uint32_t op = ops[test_random(seed) % sizeof ops];
        const nc_tir__instruction *table = &nc_tir__table[op];
        uint64_t arg = 0;
        if (nc_tir__counts(table)) arg = 1 + test_random(seed) % 5;
        if (table->arg == NC_TIR__ARG_INDEX) arg = 1 + test_random(seed) % 7;
        if (table->arg == NC_TIR__ARG_FIELD) arg = test_random(seed) % 4;
        list[i] = nc_tir__make(op, arg);
    }
    return n;
}

/* No state on the way to a goal owes more moves than follow; many do when there is to be one move
 * less. */
static void what_is_given_up_leads_to_no_goal(void **state) {
    nc_tir__search *p = nc_tir__search_new(NULL, 0);
    uint64_t seed = 5;
    uint32_t trial, states = 0, given_up = 0;
    (void)state;
    p->keep_edges = 1; /* nothing is given up while it searches */
    for (trial = 0; trial < 600; trial++) {
        nc_tir__tasm list[14];
        const size_t n = random_code(&seed, list, 4 + trial % 11);
        nc_tir__uses uses;
        uint32_t at, left;
        if (!nc_tir__find_shorter(p, list, n, (uint32_t)n + 1, 64)) continue;
        for (at = p->goal_state, left = 0; left <= p->found_count; at = p->states[at].parent) {
            nc_tir__count_uses(p, &p->states[at], &uses);
            assert_true(nc_tir__moves_owed(&uses) <= (int32_t)left);
            given_up += nc_tir__moves_owed(&uses) >= (int32_t)left;
            states++;
            left++;
        }
    }
    printf("%u of %u states given up with one move less\n", given_up, states);
    assert_true(states > 2000 && given_up > 200);
    nc_tir__search_free(p);
}

/* With a network, moves are offered but for those whose score is far beyond the moves left; it is
 * asked of the state as it is, if late, and not at all where nothing can end in time. */
static void a_guided_search_gives_up_what_is_hopeless(void **state) {
    nc_tir_model *model;
    nc_tir__search *p;
    uint64_t seed = 21;
    uint32_t trial, offered = 0, given_up = 0, late = 0, never = 0, i, k;
    nc_error err;
    (void)state;
    assert_int_equal(nc_tir_model_load(&model, "examples/data/tir_weights.bin", &err), NC_OK);
    p = nc_tir__search_new(model, NC_TIR__GUIDE);
    for (trial = 0; trial < 400; trial++) {
        nc_tir__tasm list[20];
        const size_t n = random_code(&seed, list, 20);
        nc_tir__move *all = NULL;
        nc_tir__state start;
        nc_tir__beam b;
        if (nc_tir__interpret(&p->prover, list, n) != NC_TIR_PROVEN) continue;
        assert_true(nc_tir__begin(p, &b, &start));
        b.s = &start;
        b.left = (int32_t)(trial % n);
        b.margin = NC_TIR__HOPELESS;
        p->is_bounded = 0;
        nc_tir__expand(&b);
        for (i = 0; i < stbds_arrlenu(b.moves); i++) stbds_arrput(all, b.moves[i]);
        NC__EMPTY(b.moves);
        p->is_bounded = 1;
        nc_tir__expand(&b);
        assert_true(b.hopeless >= NC_TIR__HOPELESS + NC_TIR__SCORE * b.left);
        for (i = k = 0; i < stbds_arrlenu(all); i++) {
            if (all[i].score >= b.hopeless) continue;
            assert_true(k < stbds_arrlenu(b.moves));
            assert_true(b.moves[k].hash == all[i].hash && b.moves[k].score == all[i].score);
            k++;
        }
        assert_int_equal(k, stbds_arrlenu(b.moves));
        if (b.answer) {
            uint16_t rows[NC_TIR__STATE_FEATURES];
            nc_tir__state_rows(&b, rows);
            assert_memory_equal(b.answer->rows, rows, sizeof rows);
            late += nc_tir__moves_owed(&b.uses) > b.left;
        }
        assert_true(b.answer || stbds_arrlenu(b.moves) == 0);
        never += !b.answer;
        offered += k;
        given_up += (uint32_t)stbds_arrlenu(all) - k;
        stbds_arrfree(all);
        p->moves = b.moves;
    }
    printf("%u moves offered, %u given up; asked late %u times, never %u times\n", offered,
           given_up, late, never);
    assert_true(offered > 500 && given_up > 500 && late > 10 && never > 50);
    nc_tir__search_free(p);
    nc_tir_model_destroy(model);
}

/* With a network a search keeps `width` states a level on average and four levels' more, no level
 * more than it may; without one every level keeps what it can. */
static void a_network_spends_states_where_it_is_unsure(void **state) {
    static const uint32_t widths[] = {1, 2, 4, 16};
    nc_tir__search *p;
    nc_tir_model *model;
    nc_error err;
    uint32_t w, trial, fewer = 0, more = 0;
    (void)state;
    assert_int_equal(nc_tir_model_load(&model, "examples/data/tir_weights.bin", &err), NC_OK);
    p = nc_tir__search_new(model, NC_TIR__GUIDE);
    for (w = 0; w < 4; w++) {
        const uint32_t width = widths[w], most = width + (width < 4 ? width : 4);
        uint64_t seed = 8;
        for (trial = 0; trial < 60; trial++) {
            nc_tir__tasm list[20];
            const uint32_t n = (uint32_t)random_code(&seed, list, 20);
            uint32_t level, last;
            NC__EMPTY(p->states);
            if (nc_tir__find_shorter(p, list, n, n, width))
                last = p->found_count;
            else
                last = p->level + 1;
            assert_true(stbds_arrlenu(p->states) <= width * (n + 4));
            for (level = 1; level + 1 < last; level++) {
                const uint32_t kept = p->level_start[level + 1] - p->level_start[level];
                assert_true(kept <= most);
                fewer += kept < width;
                more += kept > width;
            }
        }
    }
    printf("%u levels with fewer states than the width, %u with more\n", fewer, more);
    assert_true(fewer > 300 && more > 500);
    nc_tir__search_free(p);
    nc_tir_model_destroy(model);
}

/* The network chooses the states of a second round; their moves have the scores of a search without
 * it. */
static void a_guided_round_keeps_the_searchs_own_scores(void **state) {
    nc_tir__search *p;
    nc_tir__training_set set[2];
    nc_tir_model *model;
    uint64_t seed = 21;
    uint32_t trial, compared = 0, k;
    (void)state;
    memset(set, 0, sizeof set);
    assert_int_equal(nc_tir_model_create(&model, 6), NC_OK);
    p = nc_tir__search_new(model, NC_TIR__GUIDE);
    p->keep_edges = 1;
    for (trial = 0; trial < 40; trial++) {
        nc_tir__tasm list[10];
        const size_t n = random_code(&seed, list, 10);
        if (!nc_tir__find_shorter(p, list, n, (uint32_t)n + 1, 16)) continue;
        for (k = 0; k < 2; k++) {
            p->model = k ? NULL : model;
            assert_true(nc_tir__add_samples(p, &set[k]));
            assert_true(p->model == (k ? NULL : model));
        }
        p->model = model;
        compared++;
    }
    assert_true(compared > 5 && stbds_arrlenu(set[0].options) > 100);
    assert_int_equal(stbds_arrlenu(set[0].options), stbds_arrlenu(set[1].options));
    assert_memory_equal(set[0].options, set[1].options,
                        stbds_arrlenu(set[0].options) * sizeof *set[0].options);
    for (k = 0; k < 2; k++) nc_tir__training_set_free(&set[k]);
    nc_tir__search_free(p);
    nc_tir_model_destroy(model);
}

/* Gradients of the loss of one block's samples against central differences. */
static void imitation_has_the_right_gradients(void **state) {
    static const uint32_t parts[6][2] = {{NC_TIR__P_HIDDEN_STATE, NC_TIR__P_HIDDEN_BIAS},
                                         {NC_TIR__P_HIDDEN_BIAS, NC_TIR__P_OUT},
                                         {NC_TIR__P_OUT, NC_TIR__P_OUT_BIAS},
                                         {NC_TIR__P_OUT_BIAS, NC_TIR__P_NODES},
                                         {NC_TIR__P_STATES, NC_TIR__P_STATES + 64 * 65},
                                         {NC_TIR__P_STATES + 64 * 97, NC_TIR__PARAMETERS}};
    nc_tir__f_model *s = calloc(1, sizeof *s);
    const char *text = sample;
    nc_tir_imitation imitation = {0};
    nc_tir__training_set set;
    nc_tir_model *model;
    uint32_t i, k, end, checked = 0, off = 0;
    uint64_t seed = 17;
    int right;
    (void)state;
    memset(&set, 0, sizeof set);
    imitation.beam = 64;
    assert_int_equal(nc_tir__prepare(NULL, &text, 1, &imitation, &set), NC_OK);
    assert_true(stbds_arrlenu(set.starts) > 6);
    assert_int_equal(nc_tir_model_create(&model, 9), NC_OK);
    for (i = 0; i < NC_TIR__PARAMETERS; i++) s->w[i] = (float)nc_fixed_to_f64(model->w[i]);
    end = set.starts[6];
    for (k = 0; k < end; k += set.samples[k].group)
        (void)nc_tir__f_group(s, &set, &set.samples[k], 1.0f, &right);
    for (i = 0; i < 6 * 60; i++) { /* sixty of each group of parameters */
        const uint32_t *part = parts[i / 60];
        const uint32_t at = part[0] + (uint32_t)(test_random(&seed) % (part[1] - part[0]));
        const float old = s->w[at], step = 1e-3f;
        double loss[2], slope;
        for (k = 0; k < 2; k++) {
            uint32_t l;
            s->w[at] = old + (k ? step : -step);
            for (loss[k] = 0, l = 0; l < end; l += set.samples[l].group)
                loss[k] += (double)nc_tir__f_group(s, &set, &set.samples[l], 0.0f, &right);
        }
        s->w[at] = old;
        slope = (loss[1] - loss[0]) / (2.0 * (double)step);
        if (fabs(slope - (double)s->g[at]) > 0.05 * fabs(slope) + 1e-2) off++; /* at a kink */
        checked += fabs(slope) > 2e-2;
    }
    printf("%u gradients checked, %u off: at a kink of the rectifier\n", checked, off);
    assert_true(checked > 50 && off * 25 <= checked);
    nc_tir__training_set_free(&set);
    nc_tir_model_destroy(model);
    free(s);
}

static void imitation_learns_and_repeats_itself(void **state) {
    const char *texts[1] = {sample};
    nc_tir_imitation options = {0};
    nc_tir_imitation_report first, last, again;
    nc_tir_model *a, *b;
    nc_gl x[4], y[4];
    nc_error err;
    (void)state;
    assert_int_equal(nc_tir_model_create(&a, 2), NC_OK);
    assert_int_equal(nc_tir_model_create(&b, 2), NC_OK);
    options.beam = 32;
    options.epochs = 1;
    assert_int_equal(nc_tir_imitate(a, texts, 1, &options, &first, &err), NC_OK);
    nc_tir_model_destroy(a);
    assert_int_equal(nc_tir_model_create(&a, 2), NC_OK);
    options.epochs = 12;
    assert_int_equal(nc_tir_imitate(a, texts, 1, &options, &last, &err), NC_OK);
    assert_int_equal(nc_tir_imitate(b, texts, 1, &options, &again, &err), NC_OK);
    assert_true(last.samples > 50 && last.loss < 0.7 * first.loss);
    assert_true(last.accuracy > first.accuracy);
    nc_tir_model_digest(a, x);
    nc_tir_model_digest(b, y);
    assert_memory_equal(x, y, sizeof x);
    options.guided = 1; /* a second round, which another one without guidance is not */
    assert_int_equal(nc_tir_imitate(a, texts, 1, &options, &last, &err), NC_OK);
    assert_int_equal(nc_tir_imitate(b, texts, 1, &options, &again, &err), NC_OK);
    nc_tir_model_digest(a, x);
    assert_memory_not_equal(x, y, sizeof x);
    nc_tir_model_digest(b, y);
    assert_memory_equal(x, y, sizeof x);
    assert_true(last.samples != first.samples && last.samples == again.samples);
    texts[0] = "frobnicate";
    assert_int_equal(nc_tir_imitate(a, texts, 1, &options, &again, &err), NC_ERR_FORMAT);
    options.beam = 65537;
    assert_int_equal(nc_tir_imitate(a, texts, 1, &options, &again, &err), NC_ERR_ARG);
    options.beam = 0;
    options.rate = -0.1f;
    assert_int_equal(nc_tir_imitate(a, texts, 1, &options, &again, &err), NC_ERR_ARG);
    options.rate = NAN;
    assert_int_equal(nc_tir_imitate(a, texts, 1, &options, &again, &err), NC_ERR_ARG);
    nc_tir_model_destroy(a);
    nc_tir_model_destroy(b);
}

static nc_tir_evolution *new_evolution(uint64_t seed) {
    nc_tir_evolution *e;
    nc_tir_model *start;
    nc_error err;
    assert_int_equal(nc_tir_model_create(&start, 3), NC_OK);
    assert_int_equal(nc_tir_evolution_create(&e, start, seed), NC_OK);
    assert_int_equal(nc_tir_evolution_add(e, sample, &err), NC_OK);
    assert_int_equal(nc_tir_evolution_add(e, sample, &err), NC_OK); /* nothing new */
    assert_int_equal(nc_tir_evolution_blocks(e), 2);
    nc_tir_model_destroy(start);
    return e;
}

static void evolution_never_gets_worse_and_resumes(void **state) {
    static const char other[] = "dup 2 push 9 push -1 mul add dup 0 mul swap 3 pop 1 dup 1 mul";
    const char *path = "build/tir_evolution_test.bin";
    nc_tir_evolution *a = new_evolution(8), *b = new_evolution(8), *c = new_evolution(99);
    uint64_t cost = UINT64_MAX;
    nc_gl x[4], y[4];
    nc_error err;
    int i;
    (void)state;
    for (i = 0; i < 6; i++) {
        assert_int_equal(nc_tir_evolution_run(a, 1, NULL, NULL), NC_OK);
        assert_true(nc_tir_evolution_cost(a) <= cost);
        cost = nc_tir_evolution_cost(a);
    }
    assert_int_equal(nc_tir_evolution_run(b, 3, NULL, NULL), NC_OK);
    assert_int_equal(nc_tir_evolution_save(b, path, &err), NC_OK);
    assert_int_equal(nc_tir_evolution_load(c, path, &err), NC_OK);
    assert_int_equal(nc_tir_evolution_run(c, 3, NULL, NULL), NC_OK);
    assert_int_equal(nc_tir_evolution_cost(c), cost);
    for (i = 0; i < 16; i++) { /* the children too */
        nc_tir_model_digest(a->models[i], x);
        nc_tir_model_digest(c->models[i], y);
        assert_memory_equal(x, y, sizeof x);
    }
    /* costs that are known do not outlive a larger batch */
    assert_int_equal(nc_tir_evolution_add(a, other, &err), NC_OK);
    assert_int_equal(nc_tir_evolution_add(c, other, &err), NC_OK);
    assert_int_equal(nc_tir_evolution_blocks(a), 3);
    assert_int_equal(nc_tir_evolution_run(a, 1, NULL, NULL), NC_OK);
    cost = nc_tir_evolution_cost(a);
    for (i = 0, a->scored_step = 0; i < 2; i++, a->scored_step = 0)
        assert_int_equal(nc_tir_evolution_run(a, 1, NULL, NULL), NC_OK);
    assert_true(nc_tir_evolution_cost(a) <= cost);
    assert_int_equal(nc_tir_evolution_run(c, 3, NULL, NULL), NC_OK);
    assert_int_equal(nc_tir_evolution_cost(c), nc_tir_evolution_cost(a));
    cost = nc_tir_evolution_cost(c);
    assert_int_equal(nc_tir_evolution_load(c, "LICENSE", &err), NC_ERR_FORMAT);
    assert_int_equal(nc_tir_evolution_load(c, "build/no_such_file", &err), NC_ERR_IO);
    for (i = 6; i < 40 + 8 * 16; i++) { /* any byte of the head behind the name changed */
        FILE *file = fopen(path, "r+b");
        int byte;
        assert_non_null(file);
        assert_int_equal(fseek(file, i, SEEK_SET), 0);
        byte = fgetc(file);
        assert_int_equal(fseek(file, i, SEEK_SET), 0);
        fputc(byte ^ 16, file);
        assert_int_equal(fclose(file), 0);
        assert_int_equal(nc_tir_evolution_load(c, path, &err),
                         i < 8 ? NC_ERR_UNSUPPORTED : NC_ERR_MISMATCH);
        file = fopen(path, "r+b");
        assert_non_null(file);
        assert_int_equal(fseek(file, i, SEEK_SET), 0);
        fputc(byte, file);
        assert_int_equal(fclose(file), 0);
    }
    assert_int_equal(truncate(path, 5000000), 0);
    assert_int_equal(nc_tir_evolution_load(c, path, &err), NC_ERR_FORMAT);
    assert_int_equal(nc_tir_evolution_cost(c), cost); /* as it was */
    nc_tir_evolution_destroy(a);
    nc_tir_evolution_destroy(b);
    nc_tir_evolution_destroy(c);
    (void)remove(path);
}

/* What this process has computed, which no other on the machine makes longer. */
static double seconds(void) {
    struct timespec t;
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

/* The sample and 40 blocks that differ a little. */
static void collect_blocks(nc_tir_trainer *t) {
    nc_error err;
    int i;
    assert_int_equal(nc_tir_trainer_collect(t, sample, &err), NC_OK);
    for (i = 0; i < 40; i++) {
        char text[400];
        snprintf(text, sizeof text,
                 "f: dup %d push %d push -1 mul add dup 1 swap 2 pop 1 dup 0 mul swap %d pop 1 "
                 "dup %d dup %d add swap 3 pop 2 push 1 swap 1 push 2 mul add return",
                 i % 5, i, 1 + i % 3, i % 4, i % 7);
        assert_int_equal(nc_tir_trainer_collect(t, text, &err), NC_OK);
    }
}

/* A poor start: it would rather swap than anything else. */
static void prefer_swaps(nc_tir_model *model) {
    model->w[NC_TIR__P_OUT_BIAS + nc_tir__code_of(NC_TIR__I_SWAP, 1)] = 3 * NC_FIXED_ONE;
    nc_tir__derive(model);
}

static void trainer_promotes_keeps_and_stops(void **state) {
    const char *path = "build/tir_trainer_test.bin";
    nc_tir_trainer *t;
    nc_tir_model *start, *kept;
    nc_gl a[4], b[4];
    nc_error err;
    FILE *file;
    double begun;
    int round;
    (void)state;
    (void)remove(path);
    assert_int_equal(nc_tir_model_create(&start, 3), NC_OK);
    prefer_swaps(start);
    assert_int_equal(nc_tir_trainer_create(&t, path, start, 4, &err), NC_OK);
    collect_blocks(t);
    assert_int_equal(nc_tir_trainer_collect(t, "frobnicate", &err), NC_ERR_FORMAT);
    for (round = 0; round < 8 && nc_tir_trainer_promotions(t) == 0; round++) {
        assert_int_equal(nc_tir_trainer_start(t, 6, &err), NC_OK);
        assert_int_equal(nc_tir_trainer_start(t, 6, &err), NC_ERR_ARG); /* it trains */
        assert_int_equal(nc_tir_trainer_collect(t, sample, &err), NC_ERR_ARG);
        assert_int_equal(nc_tir_trainer_wait(t), NC_OK);
    }
    printf("%u promotions after %d trainings\n", nc_tir_trainer_promotions(t), round);
    assert_int_equal(nc_tir_trainer_promotions(t), 1);
    assert_int_equal(nc_tir_model_load(&kept, path, &err), NC_OK); /* what compilations use now */
    nc_tir_model_digest(kept, a);
    nc_tir_model_digest(nc_tir_trainer_model(t), b);
    assert_memory_equal(a, b, sizeof a);
    nc_tir_model_destroy(kept);
    for (round = 0; round < 6; round++) { /* while it scores, and while it breeds */
        assert_int_equal(nc_tir_trainer_start(t, 1000000, &err), NC_OK);
        usleep((useconds_t)(20000 * (round + 1)));
        begun = seconds();
        assert_int_equal(nc_tir_trainer_stop(t), NC_OK);
        begun = seconds() - begun;
        printf("stopped after %.0f ms of computing\n", 1000 * begun);
#ifndef TEST_SANITIZED
        assert_true(begun < 0.1);
#endif
    }
    nc_tir_trainer_destroy(t);
    file = fopen(path, "wb");
    assert_non_null(file);
    fputs("not weights", file);
    fclose(file);
    assert_int_equal(nc_tir_trainer_create(&t, path, start, 4, &err), NC_ERR_FORMAT);
#ifndef _WIN32 /* where that is a file that is not there */
    assert_int_equal(nc_tir_trainer_create(&t, "Makefile/none.bin", start, 4, &err), NC_ERR_IO);
    assert_null(t);
#endif
    assert_null(t);
    nc_tir_model_destroy(start);
    (void)remove(path);
}

static void a_trainer_without_a_path_keeps_its_weights_in_memory(void **state) {
    nc_tir_trainer *t;
    nc_tir_model *start;
    nc_error err;
    int round;
    (void)state;
    assert_int_equal(nc_tir_model_create(&start, 3), NC_OK);
    prefer_swaps(start);
    assert_int_equal(nc_tir_trainer_create(&t, NULL, start, 4, &err), NC_OK);
    collect_blocks(t);
    assert_memory_equal(nc_tir_trainer_model(t), start, sizeof *start);
    for (round = 0; round < 8 && nc_tir_trainer_promotions(t) == 0; round++) {
        assert_int_equal(nc_tir_trainer_start(t, 6, &err), NC_OK);
        assert_int_equal(nc_tir_trainer_wait(t), NC_OK);
    }
    assert_int_equal(nc_tir_trainer_promotions(t), 1);
    assert_memory_not_equal(nc_tir_trainer_model(t), start, sizeof *start);
    nc_tir_trainer_destroy(t);
    nc_tir_model_destroy(start);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_instruction_does_what_its_row_says),
        cmocka_unit_test(no_operation_needs_what_its_machine_lacks),
        cmocka_unit_test(blocks_are_encoded_and_decoded),
        cmocka_unit_test(hostile_words_are_refused_or_harmless),
        cmocka_unit_test(forward_is_the_naive_one_bit_for_bit),
        cmocka_unit_test(weights_files_are_read_as_hostile),
        cmocka_unit_test(the_decoder_is_the_naive_one_bit_for_bit),
        cmocka_unit_test(answers_are_those_made_anew),
        cmocka_unit_test(a_guided_search_gives_up_what_is_hopeless),
        cmocka_unit_test(a_guided_level_keeps_none_beyond_the_margin),
        cmocka_unit_test(samples_follow_all_shortest_ways),
        cmocka_unit_test(what_is_given_up_leads_to_no_goal),
        cmocka_unit_test(a_network_spends_states_where_it_is_unsure),
        cmocka_unit_test(a_guided_round_keeps_the_searchs_own_scores),
        cmocka_unit_test(shipped_weights_guide_to_proven_code),
        cmocka_unit_test(a_search_leaves_out_only_what_it_would_not_keep),
        cmocka_unit_test(a_search_does_not_begin_what_it_cannot_end),
        cmocka_unit_test(a_product_is_not_taken_apart_where_a_part_is_needed),
        cmocka_unit_test(imitation_has_the_right_gradients),
        cmocka_unit_test(imitation_learns_and_repeats_itself),
        cmocka_unit_test(evolution_never_gets_worse_and_resumes),
        cmocka_unit_test(trainer_promotes_keeps_and_stops),
        cmocka_unit_test(a_trainer_without_a_path_keeps_its_weights_in_memory),
    };
    return cmocka_run_group_tests_name("tir model", tests, NULL, NULL);
}
