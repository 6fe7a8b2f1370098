/* chain: one small network through all five libraries, with a digest of every stage: trained on
   handwritten digits (nc_hlx), its last layer quantised to NVFP4 (nc_fp4), evaluated on approximate
   multipliers (nc_axx), committed to (nc_goldilocks), its last layer lowered to TASM, optimised and
   run (nc_tirneural), and the same layer's multiply-accumulate as threshold units (nc_fp4).
   Digests do not depend on compiler, optimisation, threads or instruction set.
   cc -O2 -fopenmp chain.c -lm -o chain */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#define NC_AXX_VIT
#define NC_IMPLEMENTATION
#include "../nc_axx.h"
#include "../nc_fp4.h"
#include "../nc_goldilocks.h"
#include "../nc_hlx.h"
#include "../nc_tirneural.h"
#include "cli.h"

static const char usage[] =
    "usage: chain [--json] [--data CSV] [--steps N] [--simd LEVEL]\n"
    "Trains a network of 64, 32 and 10 units on rows of 64 pixels and a label (default\n"
    "examples/data/digits.csv; every fifth row is for the test), quantises it, evaluates it on\n"
    "approximate multipliers, commits to it, and computes its last layer on a virtual machine and\n"
    "as a circuit. Prints a digest of every stage and one of the chain.\n"
    "  --steps N      of the training (default 120)\n"
    "  --simd LEVEL   0: portable C, 1: AVX2 or NEON, -1: the best; the same digests\n"
    "Returns 0, 1 on an error, 2 on bad usage, 3 when two stages differ.\n";

enum { PIXELS = 64, HIDDEN = 32, CLASSES = 10, MOST = 4096, LARGEST = 16 };
enum { BLOCK = 16, BLOCKS = HIDDEN / BLOCK }; /* weights that share a scale in NVFP4 */
enum { W1 = 0, B1 = W1 + PIXELS * HIDDEN, W2 = B1 + HIDDEN, B2 = W2 + HIDDEN * CLASSES };
enum { PARAMETERS = B2 + CLASSES, STAGES = 16, DIGEST = 4 };
enum { PIXEL_STEPS = 7 }; /* of an int8 in a sixteenth of white: 112 is white */

/* -- rows, and what is computed of each ------------------------------------------------------- */

typedef struct rows {
    size_t count;
    uint32_t label[MOST];
    float pixel[MOST][PIXELS];
    int8_t byte[MOST][PIXELS];
    float before[MOST][HIDDEN], hidden[MOST][HIDDEN]; /* the activation */
    int8_t bytes[MOST][HIDDEN];                       /* hidden */
    float logits[MOST][CLASSES];
    int64_t sums[MOST][CLASSES];
} rows;

static rows train, test;
static float parameters[PARAMETERS], gradients[PARAMETERS], first[PARAMETERS], second[PARAMETERS];
static float d_hidden[MOST][HIDDEN], losses[MOST];

/* The network in integers. */
static int8_t w1[HIDDEN][PIXELS];
static float w1_scale[HIDDEN], hidden_scale;
static uint8_t w2_code[CLASSES][HIDDEN];           /* E2M1 */
static int8_t w2[BLOCKS][CLASSES][BLOCK];          /* twice the values of these codes */
static int64_t w2_scale[CLASSES][BLOCKS];          /* 512 times the E4M3 scale of a block */
static int64_t bias[CLASSES];                      /* in the unit of the sums */
static int64_t exact_sums[MOST][CLASSES];          /* of test rows by exact multipliers */
static int32_t exact_parts[MOST][BLOCKS][CLASSES]; /* before the scales of blocks */

/* -- stages ----------------------------------------------------------------------------------- */

typedef struct stage {
    const char *name;
    char what[160];
    nc_gl digest[DIGEST];
} stage;

static stage stages[STAGES];
static int stage_count, wrong;
static nc_gl_transcript transcript;

/* Bytes to be hashed: integers little-endian on every machine. */
static uint8_t *text;
static size_t text_bytes, text_room;

static void put(uint64_t value, int bytes) {
    int i;
    if (text_bytes + 8 > text_room) {
        uint8_t *more;
        text_room = 2 * text_room + 4096;
        more = (uint8_t *)realloc(text, text_room);
        if (!more) exit(cli_fail(CLI_ERROR, "out of memory"));
        text = more;
    }
    for (i = 0; i < bytes; i++) text[text_bytes++] = (uint8_t)(value >> 8 * i);
}

static void put_float(float x) {
    uint32_t bits;
    memcpy(&bits, &x, sizeof bits);
    put(bits, 4);
}

static void put_bytes(const void *data, size_t n) {
    const uint8_t *byte = (const uint8_t *)data;
    while (n--) put(*byte++, 1);
}

static void put_sums(int64_t (*sums)[CLASSES], size_t n) {
    size_t r, c;
    for (r = 0; r < n; r++)
        for (c = 0; c < CLASSES; c++) put((uint64_t)sums[r][c], 8);
}

/* Poseidon2 of what was put, and of its length; nothing is put then. */
static void take_digest(nc_gl digest[DIGEST]) {
    const size_t n = text_bytes / 7 + (text_bytes % 7 != 0);
    nc_gl *fields = (nc_gl *)malloc((n + 1) * sizeof *fields);
    if (!fields) exit(cli_fail(CLI_ERROR, "out of memory"));
    fields[0] = text_bytes;
    (void)nc_gl_pack_bytes(fields + 1, text, text_bytes);
    (void)nc_gl_hash_fields(NC_GL_POSEIDON2, fields, n + 1, digest);
    free(fields);
    text_bytes = 0;
}

/* A stage with the digest of what was put, which the transcript absorbs. */
static void end_stage(const char *name, const char *format, ...) {
    stage *s = &stages[stage_count++];
    va_list args;
    s->name = name;
    va_start(args, format);
    (void)vsnprintf(s->what, sizeof s->what, format, args);
    va_end(args);
    if (text_bytes) take_digest(s->digest);
    (void)nc_gl_transcript_absorb(&transcript, s->digest, DIGEST);
}

static void check(int ok, const char *what) {
    if (ok) return;
    cli_fail(0, "WRONG: %s", what);
    wrong = 1;
}

static void must(nc_status status, const nc_error *err, const char *what) {
    if (status != NC_OK) exit(cli_refused(what, status, err));
}

static void *scratch(size_t bytes) {
    void *p = malloc(bytes);
    if (!p) exit(cli_fail(CLI_ERROR, "out of memory"));
    return p;
}

/* -- data: nc_axx ----------------------------------------------------------------------------- */

static void read_rows(const char *path) {
    const nc_axx_data_options how = {NC_AXX_DATA_CSV, 0, -1, 0, 0, 0, LARGEST, NULL};
    nc_axx_data d;
    nc_error err;
    size_t r, i;
    memset(&d, 0, sizeof d);
    must(nc_axx_data_load(&d, path, &how, &err), &err, path);
    if (d.height * d.width != PIXELS || d.classes != CLASSES || d.count < 10 || d.count > MOST)
        exit(cli_fail(CLI_ERROR, "%s: not 10 to %d rows of 64 pixels and one of ten labels", path,
                      (int)MOST));
    for (r = 0; r < d.count; r++) {
        rows *to = r % 5 == 4 ? &test : &train;
        const size_t k = to->count++;
        to->label[k] = d.labels[r];
        put(d.labels[r], 1);
        for (i = 0; i < PIXELS; i++) {
            const uint8_t byte = d.pixels[r * PIXELS + i];
            to->pixel[k][i] = (float)byte / LARGEST;
            to->byte[k][i] = (int8_t)(PIXEL_STEPS * byte);
            put(byte, 1);
        }
    }
    nc_axx_data_free(&d);
    end_stage("data", "%zu digits to train, %zu to test", train.count, test.count);
}

static size_t class_of(const int64_t sums[CLASSES]) {
    size_t c, best = 0;
    for (c = 1; c < CLASSES; c++)
        if (sums[c] > sums[best]) best = c;
    return best;
}

static size_t right_in_float(const rows *of) {
    size_t r, c, n = 0;
    for (r = 0; r < of->count; r++) {
        size_t best = 0;
        for (c = 1; c < CLASSES; c++)
            if (of->logits[r][c] > of->logits[r][best]) best = c;
        n += best == of->label[r];
    }
    return n;
}

static double percent(size_t n) { return 100.0 * (double)n / (double)test.count; }

/* -- training: nc_hlx ------------------------------------------------------------------------- */

static void forward(rows *of, void *work, size_t bytes) {
    must(nc_hlx_linear(of->before[0], of->hidden[0], NC_HLX_GELU, of->pixel[0], parameters + W1,
                       parameters + B1, NULL, of->count, PIXELS, HIDDEN, work, bytes),
         NULL, "layer");
    must(nc_hlx_linear(of->logits[0], NULL, NC_HLX_GELU, of->hidden[0], parameters + W2,
                       parameters + B2, NULL, of->count, HIDDEN, CLASSES, work, bytes),
         NULL, "layer");
}

/* Gradients of the mean cross-entropy, which it returns. */
static float backward(rows *of, void *work, size_t bytes) {
    const size_t n = of->count;
    const float loss = nc_hlx_cross_entropy(of->logits[0], of->label, losses, n, CLASSES);
    memset(gradients, 0, sizeof gradients);
    must(nc_hlx_gemm(1, 0, HIDDEN, CLASSES, n, of->hidden[0], HIDDEN, of->logits[0], CLASSES,
                     gradients + W2, CLASSES, 0, work, bytes),
         NULL, "gradient");
    nc_hlx_column_sums(gradients + B2, of->logits[0], n, CLASSES);
    must(nc_hlx_gemm(0, 1, n, HIDDEN, CLASSES, of->logits[0], CLASSES, parameters + W2, CLASSES,
                     d_hidden[0], HIDDEN, 0, work, bytes),
         NULL, "gradient");
    nc_hlx_gelu_backward(d_hidden[0], d_hidden[0], of->before[0], n * HIDDEN);
    must(nc_hlx_gemm(1, 0, PIXELS, HIDDEN, n, of->pixel[0], PIXELS, d_hidden[0], HIDDEN,
                     gradients + W1, HIDDEN, 0, work, bytes),
         NULL, "gradient");
    nc_hlx_column_sums(gradients + B1, d_hidden[0], n, HIDDEN);
    return loss;
}

static void train_network(uint32_t steps) {
    const size_t bytes = nc_hlx_gemm_work_bytes();
    void *work = scratch(bytes);
    nc_hlx_adamw adamw;
    uint64_t seed = 1;
    float loss = 0;
    uint32_t step;
    size_t i;
    memset(&adamw, 0, sizeof adamw);
    adamw.lr = 0.02f;
    for (i = 0; i < PARAMETERS; i++) { /* -1/4 to 1/4; biases are 0 */
        seed = seed * 6364136223846793005u + 1442695040888963407u;
        if (i < B1 || (i >= W2 && i < B2))
            parameters[i] = (float)((int32_t)(seed >> 40) - (1 << 23)) / (1 << 25);
    }
    for (step = 1; step <= steps; step++) {
        forward(&train, work, bytes);
        loss = backward(&train, work, bytes);
        nc_hlx_adamw_update(parameters, gradients, first, second, PARAMETERS, &adamw, step, 1);
    }
    forward(&train, work, bytes); /* the largest activation is that of these weights */
    forward(&test, work, bytes);
    free(work);
    for (i = 0; i < PARAMETERS; i++) put_float(parameters[i]);
    end_stage("train", "%d weights, %u steps, loss %.4f; float32 %.2f %%", (int)PARAMETERS,
              (unsigned)steps, (double)loss, percent(right_in_float(&test)));
}

/* -- quantisation: nc_fp4, nc_axx ------------------------------------------------------------- */

static void quantise(void) {
    static float across[HIDDEN][PIXELS], down[CLASSES][HIDDEN];
    nc_fp4_tensor tensor;
    nc_gl leaves[2 * 16][DIGEST], path[4][DIGEST];
    size_t i, k, c;
    int ok = 1;
    for (i = 0; i < HIDDEN; i++)
        for (k = 0; k < PIXELS; k++) across[i][k] = parameters[W1 + k * HIDDEN + i];
    for (c = 0; c < CLASSES; c++)
        for (k = 0; k < HIDDEN; k++) down[c][k] = parameters[W2 + k * CLASSES + c];
    nc_axx_quantize_rows(w1[0], w1_scale, across[0], HIDDEN, PIXELS, 8);
    hidden_scale = nc_axx_scale(nc_axx_amax(train.hidden[0], train.count * HIDDEN), 8);
    must(nc_fp4_tensor_create(&tensor, NC_FP4_NVFP4, NULL, down[0], CLASSES, HIDDEN), NULL,
         "tensor");
    memset(leaves, 0, sizeof leaves);
    for (c = 0; c < CLASSES; c++) {
        /* sum = (unit of a weight: tensor scale / 1024) (unit of an activation: 1 / scale) */
        const double unit = (double)parameters[B2 + c] * 1024.0 * (double)hidden_scale;
        bias[c] = (int64_t)(unit / (double)tensor.tensor_scale);
        put((uint64_t)bias[c], 8);
        for (k = 0; k < BLOCKS; k++) {
            const uint8_t scale = tensor.scales[c * BLOCKS + k];
            w2_scale[c][k] = (int64_t)(512 * nc_fp4_e4m3_decode(scale));
            put(scale, 1);
        }
        for (k = 0; k < HIDDEN; k++) {
            const uint8_t two = tensor.codes[c * (HIDDEN / 2) + k / 2];
            w2_code[c][k] = k % 2 ? two >> 4 : two & 15;
            w2[k / BLOCK][c][k % BLOCK] = (int8_t)(2 * nc_fp4_decode(w2_code[c][k]));
            put(w2_code[c][k], 1);
        }
        take_digest(leaves[16 + c]);
    }
    must(nc_gl_merkle_build(NC_GL_POSEIDON2, leaves[0], 16), NULL, "tree");
    for (c = 0; c < CLASSES; c++)
        ok =
            ok && nc_gl_merkle_open(NC_GL_POSEIDON2, leaves[0], 16, c, path[0]) == NC_OK &&
            nc_gl_merkle_verify(NC_GL_POSEIDON2, leaves[1], leaves[16 + c], c, path[0], 4) == NC_OK;
    check(ok, "a row of weights does not lead to their root");
    memcpy(stages[stage_count].digest, leaves[1], sizeof leaves[1]);
    end_stage("quantise", "last layer as NVFP4, %d codes, %d scales; the root of its rows",
              CLASSES * HIDDEN, CLASSES * BLOCKS);
    for (i = 0; i < HIDDEN; i++) {
        put_float(w1_scale[i]);
        put_bytes(w1[i], PIXELS);
    }
    put_float(hidden_scale);
    end_stage("bytes", "first layer as int8; activations times %.3f", (double)hidden_scale);
    nc_fp4_tensor_free(&tensor);
}

/* -- integers on multipliers: nc_axx ---------------------------------------------------------- */

static void multiply(const char *spec) {
    static nc_axx_mult multiplier;
    static int8_t x[MOST][BLOCK];
    static int32_t parts[MOST][CLASSES];
    nc_axx_engine *engine;
    nc_error err;
    size_t bytes, more, n = test.count, r, b, c, same = 0, right = 0;
    void *work;
    must(nc_axx_make(&multiplier, spec, &err), &err, spec);
    must(nc_axx_engine_create(&engine, &multiplier), NULL, spec);
    bytes = nc_axx_linear_work_bytes(engine, n, PIXELS, HIDDEN);
    more = nc_axx_gemm_work_bytes(engine, n, CLASSES, BLOCK);
    if (more > bytes) bytes = more;
    work = scratch(bytes + 1);
    must(nc_axx_linear(engine, test.byte[0], (float)(PIXEL_STEPS * LARGEST), w1[0], w1_scale,
                       parameters + B1, test.before[0], n, PIXELS, HIDDEN, work, bytes),
         NULL, "first layer");
    nc_hlx_gelu(test.hidden[0], test.before[0], n * HIDDEN);
    nc_axx_quantize(test.bytes[0], test.hidden[0], n * HIDDEN, hidden_scale, 8);
    for (r = 0; r < n; r++) memcpy(test.sums[r], bias, sizeof bias);
    for (b = 0; b < BLOCKS; b++) {
        for (r = 0; r < n; r++) memcpy(x[r], test.bytes[r] + b * BLOCK, BLOCK);
        must(nc_axx_gemm(engine, x, w2[b], parts[0], n, CLASSES, BLOCK, work, bytes), NULL,
             "last layer");
        for (r = 0; r < n; r++)
            for (c = 0; c < CLASSES; c++) test.sums[r][c] += w2_scale[c][b] * parts[r][c];
        if (!strcmp(spec, "exact"))
            for (r = 0; r < n; r++) memcpy(exact_parts[r][b], parts[r], sizeof parts[r]);
    }
    if (!strcmp(spec, "exact")) memcpy(exact_sums, test.sums, sizeof exact_sums);
    for (r = 0; r < n; r++) {
        const size_t class_here = class_of(test.sums[r]);
        same += class_here == class_of(exact_sums[r]);
        right += class_here == test.label[r];
    }
    put_sums(test.sums, n);
    end_stage("multiply", "%s: %.2f %%, %zu of %zu rows in the class of exact", spec,
              percent(right), same, n);
    free(work);
    nc_axx_engine_destroy(engine);
}

/* -- last layer on the machine: nc_tirneural -------------------------------------------------- */

static void op(nc_tir_program *p, nc_tir_kind kind, uint64_t value, const char *name) {
    nc_tir_op o;
    memset(&o, 0, sizeof o);
    o.kind = kind;
    o.value = value;
    o.text = name;
    must(nc_tir_append(p, &o), NULL, "TIR");
}

/* Activations from the public input to RAM, then ten sums to the output. */
static nc_tir_program *build_program(void) {
    nc_tir_program *p;
    size_t c, b, k;
    must(nc_tir_create(&p), NULL, "TIR");
    op(p, NC_TIR_ENTRY, 0, "main");
    op(p, NC_TIR_FN_START, 0, "main");
    op(p, NC_TIR_PUSH, 0, NULL);
    for (k = 0; k < HIDDEN; k++) { /* address, value; WRITE_MEM leaves the next address */
        op(p, NC_TIR_READ_IO, 1, NULL);
        op(p, NC_TIR_SWAP, 1, NULL);
        op(p, NC_TIR_WRITE_MEM, 1, NULL);
    }
    op(p, NC_TIR_POP, 1, NULL);
    for (c = 0; c < CLASSES; c++) {
        op(p, NC_TIR_PUSH, nc_gl_from_i64(bias[c]), NULL);
        for (b = 0; b < BLOCKS; b++) {
            op(p, NC_TIR_PUSH, 0, NULL);
            for (k = 0; k < BLOCK; k++) {
                if (w2[b][c][k] == 0) continue;
                op(p, NC_TIR_PUSH, b * BLOCK + k, NULL);
                op(p, NC_TIR_RAM_READ, 1, NULL);
                op(p, NC_TIR_PUSH, nc_gl_from_i64(w2[b][c][k]), NULL);
                op(p, NC_TIR_MUL, 0, NULL);
                op(p, NC_TIR_ADD, 0, NULL);
            }
            op(p, NC_TIR_PUSH, nc_gl_from_i64(w2_scale[c][b]), NULL);
            op(p, NC_TIR_MUL, 0, NULL);
            op(p, NC_TIR_ADD, 0, NULL);
        }
        op(p, NC_TIR_WRITE_IO, 1, NULL);
    }
    op(p, NC_TIR_RETURN, 0, NULL);
    op(p, NC_TIR_FN_END, 0, NULL);
    return p;
}

/* Rows whose output is that of the integer network. */
static size_t run_program(const char *tasm, nc_tir_execution *last) {
    size_t r, c, k, good = 0;
    for (r = 0; r < test.count; r++) {
        nc_gl x[HIDDEN];
        nc_tir_input input;
        nc_error err;
        int same;
        memset(&input, 0, sizeof input);
        for (k = 0; k < HIDDEN; k++) x[k] = nc_gl_from_i64(test.bytes[r][k]);
        input.public_input = x;
        input.public_count = HIDDEN;
        must(nc_tir_execute(tasm, &input, last, &err), &err, "TASM");
        same = last->outcome == NC_TIR_HALTED && last->output_count == CLASSES;
        for (c = 0; same && c < CLASSES; c++) {
            same = nc_gl_to_i64(last->output[c]) == exact_sums[r][c];
            put(last->output[c], 8);
        }
        good += (size_t)same;
        nc_tir_free_output(last);
    }
    return good;
}

static void lower(void) {
    nc_tir_program *program = build_program();
    nc_tir_options options;
    nc_tir_execution run;
    nc_tir_report report;
    nc_error err;
    char *tasm;
    size_t good;
    must(nc_tir_lower(program, NC_TIR_TARGET_TRITON, &tasm), NULL, "lowering");
    put_bytes(tasm, strlen(tasm));
    good = run_program(tasm, &run);
    check(good == test.count, "the machine's sums are not those of the integer network");
    end_stage("lower", "last layer in TASM: %zu of %zu rows as exact, %llu cycles", good,
              test.count, (unsigned long long)run.processor);
    nc_tir_free_text(tasm);
    memset(&options, 0, sizeof options);
    options.target = NC_TIR_TARGET_TRITON;
    options.beam = 4;
    options.whole = 1;
    must(nc_tir_optimize(program, &options, &tasm, &report, &err), &err, "optimiser");
    put_bytes(tasm, strlen(tasm));
    good = run_program(tasm, &run);
    check(good == test.count, "the optimised program's sums are not those of the network");
    end_stage("optimise", "%u proofs: %zu of %zu rows as exact, %llu cycles",
              (unsigned)report.proofs, good, test.count, (unsigned long long)run.processor);
    nc_tir_free_text(tasm);
    nc_tir_destroy(program);
}

/* -- the same in threshold units: nc_fp4 ------------------------------------------------------ */

enum { SUM = 16, PRODUCT = 12 }; /* bits: 16 times 12 times 128 fits */

static void add(nc_fp4_circuit *circuit, uint32_t bits, const uint32_t *a, const uint32_t *b,
                uint32_t carry, uint32_t *sum) {
    nc_fp4_circuit *adder;
    uint32_t in[2 * SUM + 1], out[SUM + 1];
    must(nc_fp4_make(&adder, NC_FP4_ADDER, bits, 0, NULL), NULL, "adder");
    memcpy(in, a, bits * sizeof *in);
    memcpy(in + bits, b, bits * sizeof *in);
    in[2 * bits] = carry;
    must(nc_fp4_add_circuit(circuit, adder, in, out), NULL, "adder");
    memcpy(sum, out, bits * sizeof *sum);
    nc_fp4_destroy(adder);
}

/* Twice the value of an E2M1 code times an int8, in 12 bits of two's complement. */
static void add_product(nc_fp4_circuit *circuit, const uint32_t *x, const uint32_t *code,
                        uint32_t *product) {
    static const uint8_t twice[8] = {0, 1, 2, 3, 4, 6, 8, 12};
    uint32_t sum[PRODUCT], row[PRODUCT], zero[PRODUCT], in[2], bit, i, k;
    for (k = 0; k < PRODUCT; k++) sum[k] = zero[k] = NC_FP4_FALSE;
    for (i = 0; i < 4; i++) {
        uint64_t truth = 0;
        for (k = 0; k < 8; k++) truth |= (uint64_t)(twice[k] >> i & 1) << k;
        must(nc_fp4_add_function(circuit, 3, code, &truth, &bit), NULL, "circuit");
        for (k = 0; k < PRODUCT; k++) {
            row[k] = NC_FP4_FALSE;
            if (k < i) continue;
            in[0] = bit;
            in[1] = x[k - i < 7 ? k - i : 7]; /* its sign above */
            must(nc_fp4_add_atom(circuit, NC_FP4_AND, in, &row[k]), NULL, "circuit");
        }
        add(circuit, PRODUCT, sum, row, NC_FP4_FALSE, sum);
    }
    for (k = 0; k < PRODUCT; k++) { /* a negative code: the complement and 1 */
        in[0] = sum[k];
        in[1] = code[3];
        must(nc_fp4_add_atom(circuit, NC_FP4_XOR, in, &row[k]), NULL, "circuit");
    }
    add(circuit, PRODUCT, row, zero, code[3], product);
}

/* x and code -> p, or x, code and acc -> acc + p. */
static nc_fp4_network *make_network(int accumulate, nc_fp4_circuit **circuit) {
    nc_fp4_network *network;
    uint32_t x[8], code[4], acc[SUM], p[SUM], k;
    must(nc_fp4_create(circuit, accumulate ? "mac" : "product", NULL), NULL, "circuit");
    must(nc_fp4_add_input(*circuit, "x", 8, x), NULL, "circuit");
    must(nc_fp4_add_input(*circuit, "code", 4, code), NULL, "circuit");
    if (accumulate) must(nc_fp4_add_input(*circuit, "acc", SUM, acc), NULL, "circuit");
    add_product(*circuit, x, code, p);
    for (k = PRODUCT; k < SUM; k++) p[k] = p[PRODUCT - 1];
    if (accumulate) add(*circuit, SUM, acc, p, NC_FP4_FALSE, p);
    must(nc_fp4_add_output(*circuit, "y", accumulate ? SUM : PRODUCT, p), NULL, "circuit");
    must(nc_fp4_compile(*circuit, &network), NULL, "circuit");
    return network;
}

static uint64_t true_product(void *user, uint64_t in) {
    const int x = (int)(in & 255) - (in & 128 ? 256 : 0);
    const int twice = (int)(2 * nc_fp4_decode((uint8_t)(in >> 8)));
    (void)user;
    return (uint64_t)(int64_t)(twice * x) & ((1u << PRODUCT) - 1);
}

static void prove_circuit(void) {
    nc_fp4_circuit *circuit, *other;
    nc_fp4_network *product = make_network(0, &circuit), *mac, *adder;
    nc_fp4_report report, proof;
    const size_t n = test.count * BLOCKS * CLASSES;
    uint64_t *x = (uint64_t *)scratch(n * sizeof *x), *code = (uint64_t *)scratch(n * sizeof *x);
    uint64_t *acc = (uint64_t *)scratch(n * sizeof *x), *next = (uint64_t *)scratch(n * sizeof *x);
    const uint64_t *in[3];
    uint64_t *out[1], *swap;
    size_t i, k, good = 0;
    char *file;
    size_t bytes;
    must(nc_fp4_verify_cases(product, true_product, NULL, &report), NULL, "verification");
    check(report.wrong == 0 && report.verdict == NC_FP4_PROVEN, "a product of the circuit");
    nc_fp4_destroy(circuit);
    nc_fp4_network_destroy(product);
    /* the adder behind it, against a second way to add */
    must(nc_fp4_make(&circuit, NC_FP4_ADDER, SUM, 0, NULL), NULL, "adder");
    must(nc_fp4_make(&other, NC_FP4_ADDER, SUM, 1, NULL), NULL, "adder");
    must(nc_fp4_compile(circuit, &adder), NULL, "adder");
    must(nc_fp4_verify(adder, other, &proof), NULL, "verification");
    check(proof.wrong == 0 && proof.verdict == NC_FP4_PROVEN, "a sum of the circuit");
    nc_fp4_destroy(circuit);
    nc_fp4_destroy(other);
    nc_fp4_network_destroy(adder);
    mac = make_network(1, &circuit);
    must(nc_fp4_verify(mac, circuit, &proof), NULL, "verification");
    check(proof.wrong == 0 && proof.verdict == NC_FP4_PROVEN, "the multiply-accumulate");
    must(nc_fp4_write_network(mac, NC_FP4_FILE, &file, &bytes), NULL, "circuit");
    put_bytes(file, bytes);
    nc_fp4_free_text(file);
    memset(acc, 0, n * sizeof *acc); /* every sum of every row side by side, a step a product */
    for (k = 0; k < BLOCK; k++) {
        for (i = 0; i < n; i++) {
            const size_t c = i % CLASSES, b = i / CLASSES % BLOCKS, r = i / CLASSES / BLOCKS;
            x[i] = (uint8_t)test.bytes[r][b * BLOCK + k];
            code[i] = w2_code[c][b * BLOCK + k];
        }
        in[0] = x, in[1] = code, in[2] = acc;
        out[0] = next;
        must(nc_fp4_eval_integers(mac, in, out, n), NULL, "circuit");
        swap = acc, acc = next, next = swap;
    }
    for (i = 0; i < n; i++) {
        const size_t c = i % CLASSES, b = i / CLASSES % BLOCKS, r = i / CLASSES / BLOCKS;
        good += acc[i] == ((uint64_t)(int64_t)exact_parts[r][b][c] & ((1u << SUM) - 1));
        put(acc[i], 2);
    }
    check(good == n, "the circuit's sums are not those of the integer network");
    end_stage("circuit", "8 x 4 bits + 16: %u units, depth %u, proven; %zu of %zu sums as exact",
              (unsigned)proof.units, (unsigned)proof.depth, good, n);
    nc_fp4_network_destroy(mac);
    nc_fp4_destroy(circuit);
    free(x);
    free(code);
    free(acc);
    free(next);
}

/* -- commitment: nc_goldilocks ---------------------------------------------------------------- */

/* The root of the integer network's outputs, a leaf a row; the transcript of all stages so far
   draws one, and its path is checked. */
static void commit(void) {
    enum { LEAVES = MOST, LEVELS = 12 };
    static nc_gl nodes[2 * LEAVES][DIGEST], path[LEVELS][DIGEST];
    nc_gl root[DIGEST];
    uint64_t drawn;
    uint32_t levels = 0;
    size_t n = 1, r, c;
    while (n < test.count) n *= 2, levels++;
    memset(nodes, 0, sizeof nodes);
    for (r = 0; r < test.count; r++) {
        nc_gl leaf[CLASSES + 1];
        leaf[0] = r;
        for (c = 0; c < CLASSES; c++) leaf[1 + c] = nc_gl_from_i64(exact_sums[r][c]);
        must(nc_gl_hash_fields(NC_GL_POSEIDON2, leaf, CLASSES + 1, nodes[n + r]), NULL, "leaf");
    }
    must(nc_gl_merkle_build(NC_GL_POSEIDON2, nodes[0], n), NULL, "tree");
    memcpy(root, nodes[1], sizeof root);
    must(nc_gl_transcript_absorb(&transcript, root, DIGEST), NULL, "transcript");
    do must(nc_gl_transcript_index(&transcript, levels, &drawn), NULL, "transcript");
    while (drawn >= test.count);
    must(nc_gl_merkle_open(NC_GL_POSEIDON2, nodes[0], n, (size_t)drawn, path[0]), NULL, "path");
    check(nc_gl_merkle_verify(NC_GL_POSEIDON2, root, nodes[n + drawn], (size_t)drawn, path[0],
                              levels) == NC_OK,
          "a row's path does not lead to the root");
    memcpy(stages[stage_count].digest, root, sizeof root);
    end_stage("commit", "root of %zu rows of sums; row %llu, drawn, leads there", test.count,
              (unsigned long long)drawn);
}

static void print(int json) {
    nc_gl chain[DIGEST];
    char hex[65];
    int i;
    must(nc_gl_transcript_challenge(&transcript, chain, DIGEST), NULL, "transcript");
    if (json) printf("{\"stages\": [");
    for (i = 0; i < stage_count; i++) {
        nc_gl_digest_hex(stages[i].digest, hex);
        if (json) {
            printf("%s{\"stage\": ", i ? ", " : "");
            cli_json_text(stdout, stages[i].name);
            printf(", \"what\": ");
            cli_json_text(stdout, stages[i].what);
            printf(", \"digest\": \"%s\"}", hex);
        } else {
            hex[16] = 0;
            printf("%-9s %-72s %s\n", stages[i].name, stages[i].what, hex);
        }
    }
    nc_gl_digest_hex(chain, hex);
    if (json)
        printf("], \"chain\": \"%s\", \"agree\": %s}\n", hex, wrong ? "false" : "true");
    else
        printf("chain %s\n", hex);
}

static void set_simd(int level) {
    if (nc_hlx_set_simd(level) != NC_OK || nc_gl_set_simd(level) != NC_OK ||
        (nc_axx_set_simd(level) != level && level >= 0) ||
        (nc_fp4_set_simd(level) != level && level >= 0))
        exit(cli_fail(CLI_ERROR, "this machine has no level %d", level));
}

int main(int argc, char **argv) {
    static const char *const multipliers[] = {"exact", "mul8s_1L2H", "drum:4", "mitchell"};
    const char *data = "examples/data/digits.csv";
    uint32_t steps = 120;
    int json = 0, i;
    argc = cli_begin(argc, argv, "chain", usage);
    for (i = 1; i < argc; i++) {
        const char *value = i + 1 < argc ? argv[i + 1] : NULL;
        if (!strcmp(argv[i], "--json")) {
            json = 1;
            continue;
        }
        if (value && !strcmp(argv[i], "--data"))
            data = value;
        else if (!strcmp(argv[i], "--steps"))
            steps = (uint32_t)cli_number("--steps", value, 1, 100000);
        else if (!strcmp(argv[i], "--simd"))
            set_simd((int)cli_number("--simd", value, -1, 2));
        else
            return cli_fail(CLI_USAGE, "bad argument '%s'\n%s", argv[i], usage);
        i++;
    }
    must(nc_gl_transcript_init(&transcript, NC_GL_POSEIDON2, "nc chain", 8), NULL, "transcript");
    read_rows(data);
    train_network(steps);
    quantise();
    multiply(multipliers[0]);
    commit();
    lower();
    prove_circuit();
    for (i = 1; i < (int)(sizeof multipliers / sizeof *multipliers); i++) multiply(multipliers[i]);
    print(json);
    free(text);
    return wrong ? CLI_FAILED : 0;
}
