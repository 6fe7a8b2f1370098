/* fp4_perplexity: train a tiny transformer on a text, put its matrices into each 4-bit format by each
   scale rule, rounded to the nearest, by GPTQ and after a Hadamard rotation, and print the perplexity
   of text that it has not seen.
   cc -O2 -fopenmp fp4_perplexity.c -lm -o fp4_perplexity */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#define NC_IMPLEMENTATION
#include "../nc_fp4.h"
#include "../nc_hlx.h"
#include "cli.h"

static const char usage[] =
    "usage: fp4_perplexity [--steps N] [--windows N] [--json] [TEXT]\n"
    "Trains on the first nine tenths of TEXT (default examples/data/genesis.txt) for N steps\n"
    "(default 600), calibrates GPTQ on 64 windows of it, and measures on the last tenth\n"
    "(on its first N windows of 64 bytes).\n"
    "Returns 0, 1 on an error, 2 on bad usage.\n";

enum { D = 128, LAYERS = 2, HEADS = 4, FFN = 512, SEQ = 64, BATCH = 8, CALIBRATION = 8 };
enum { MATRICES = 4 * LAYERS, WIDEST = 512 * 128 };
enum { NEAREST, GPTQ, ROTATED, METHODS };

/* A matrix of the model: x (.. x inputs) w (inputs x outputs) + bias. */
typedef struct matrix {
    float *w, *bias;
    uint32_t inputs, outputs;
    double *hessian;
} matrix;

typedef struct network {
    nc_hlx_model *model;
    float *parameter, *wte, *wpe, *norm[2 * LAYERS][2];
    uint32_t windows; /* of the held-out text that are measured */
    size_t parameters;
    matrix matrices[MATRICES]; /* of each layer: queries, keys and values; projection; up; down */
} network;

/* Where everything is: token and position embeddings, then layer by layer. */
static int find_parts(network *n) {
    static const uint32_t inputs[4] = {D, D, D, FFN}, outputs[4] = {3 * D, D, FFN, D};
    float *p = n->parameter = nc_hlx_parameters(n->model, &n->parameters);
    int i, k;
    n->wte = p;
    n->wpe = p + 256 * D;
    p = n->wpe + SEQ * D;
    for (i = 0; i < MATRICES; i++) {
        matrix *m = &n->matrices[i];
        if (i % 2 == 0) /* a layer norm before the first and the third */
            for (k = 0; k < 2; k++, p += D) n->norm[i / 2][k] = p;
        m->inputs = inputs[i % 4];
        m->outputs = outputs[i % 4];
        m->w = p;
        m->bias = p + (size_t)m->inputs * m->outputs;
        m->hessian = calloc((size_t)m->inputs * m->inputs, sizeof *m->hessian);
        if (!m->hessian) return 0;
        p = m->bias + m->outputs;
    }
    return 1;
}

/* One matrix in a forward pass; its inputs go to its hessian. */
static nc_status apply(matrix *m, float *out, float *activated, const float *x,
                       const float *residual, size_t rows, void *work, size_t bytes) {
    nc_status status = nc_fp4_hessian_add(m->hessian, x, rows, m->inputs);
    if (status != NC_OK) return status;
    return nc_hlx_linear(out, activated, NC_HLX_GELU, x, m->w, m->bias, residual, rows, m->inputs,
                         m->outputs, work, bytes);
}

/* The layers over a batch of the training text, for the hessians of their inputs. */
static nc_status calibrate(network *n, nc_hlx_loader *loader) {
    static float x[BATCH * SEQ * D], y[BATCH * SEQ * D], wide[BATCH * SEQ * FFN],
        wider[BATCH * SEQ * FFN], probabilities[BATCH * HEADS * SEQ * SEQ], mean[BATCH * SEQ],
        rstd[BATCH * SEQ];
    static uint32_t tokens[BATCH * SEQ], targets[BATCH * SEQ];
    const nc_hlx_heads shape = {BATCH, SEQ, HEADS, D / HEADS, 1, 0};
    const size_t rows = BATCH * SEQ, attention = nc_hlx_attention_work_bytes(&shape, 0, 1);
    const size_t gemm = nc_hlx_gemm_work_bytes(), bytes = attention > gemm ? attention : gemm;
    void *work = malloc(bytes);
    nc_status status = work ? NC_OK : NC_ERR_MEMORY;
    int i, k;
    for (k = 0; k < CALIBRATION && status == NC_OK; k++) {
        nc_hlx_loader_next(loader, tokens, targets, BATCH);
        nc_hlx_embedding(x, tokens, n->wte, n->wpe, rows, SEQ, D);
        for (i = 0; i < MATRICES && status == NC_OK; i += 4) {
            matrix *m = &n->matrices[i];
            nc_hlx_layernorm(y, mean, rstd, x, n->norm[i / 2][0], n->norm[i / 2][1], rows, D);
            status = apply(&m[0], wide, NULL, y, NULL, rows, work, bytes);
            if (status == NC_OK)
                status = nc_hlx_attention(y, probabilities, wide, &shape, work, bytes);
            if (status == NC_OK) status = apply(&m[1], x, NULL, y, x, rows, work, bytes);
            nc_hlx_layernorm(y, mean, rstd, x, n->norm[i / 2 + 1][0], n->norm[i / 2 + 1][1], rows,
                             D);
            if (status == NC_OK) status = apply(&m[2], wide, wider, y, NULL, rows, work, bytes);
            if (status == NC_OK) status = apply(&m[3], x, NULL, wider, x, rows, work, bytes);
        }
    }
    free(work);
    return status;
}

/* out (columns x rows) = x (rows x columns) transposed. */
static void transpose(float *out, const float *x, size_t rows, size_t columns) {
    size_t r, c;
    for (r = 0; r < rows; r++)
        for (c = 0; c < columns; c++) out[c * rows + r] = x[r * columns + c];
}

/* What a matrix is in 4 bits, in its place. A format knows rows of weights of one output. */
static nc_status quantise(matrix *m, nc_fp4_format format, const nc_fp4_options *o, int method,
                          double *error) {
    static float w[WIDEST], y[WIDEST];
    const uint32_t rows = m->outputs, columns = m->inputs;
    const uint32_t block = (uint32_t)nc_fp4_block(format);
    const size_t n = (size_t)rows * columns;
    nc_fp4_tensor t;
    nc_status status;
    transpose(w, m->w, columns, rows);
    memcpy(y, w, n * sizeof *y);
    if (method == ROTATED) (void)nc_fp4_hadamard(y, n, block);
    status = method == GPTQ
                 ? nc_fp4_tensor_create_gptq(&t, format, o, y, rows, columns, m->hessian, 0)
                 : nc_fp4_tensor_create(&t, format, o, y, rows, columns);
    if (status != NC_OK) return status;
    status = nc_fp4_tensor_decode(&t, y);
    nc_fp4_tensor_free(&t);
    /* rotated back: to rounding what the product of rotated weights and activations is */
    if (method == ROTATED) (void)nc_fp4_hadamard(y, n, block);
    *error += nc_fp4_layer_error(w, y, rows, columns, m->hessian) / MATRICES;
    transpose(m->w, y, rows, columns);
    return status;
}

/* Perplexity over the held-out text. */
static nc_status perplexity(network *n, const nc_hlx_loader *valid, double *out) {
    float loss;
    const nc_status status = nc_hlx_evaluate(n->model, valid, n->windows, &loss);
    *out = exp((double)loss);
    return status;
}

/* One line of the table. */
static nc_status measure(network *n, const float *trained, const nc_hlx_loader *valid,
                         nc_fp4_format format, nc_fp4_scale_rule rule, int json) {
    static const char *const rules[] = {"floor", "ceil", "even", "mse", "ceil_power", "four_six"};
    double ppl[METHODS], error[METHODS] = {0};
    nc_fp4_options o = {NC_FP4_SCALE_FLOOR, 0, 0, NC_FP4_AS_DEFINED, 0};
    nc_status status = NC_OK;
    int method, i;
    o.rule = rule;
    for (method = 0; method < METHODS && status == NC_OK; method++) {
        for (i = 0; i < MATRICES && status == NC_OK; i++)
            status = quantise(&n->matrices[i], format, &o, method, &error[method]);
        if (status == NC_OK) status = perplexity(n, valid, &ppl[method]);
        memcpy(n->parameter, trained, n->parameters * sizeof *trained);
    }
    if (status != NC_OK) return status;
    printf(json ? ",\n {\"format\": \"%s\", \"rule\": \"%s\", \"error\": [%.4e, %.4e, %.4e], "
                  "\"perplexity\": [%.5f, %.5f, %.5f]}"
                : "%-8s %-10s  %9.2e %9.2e %9.2e  %9.4f %9.4f %9.4f\n",
           nc_fp4_format_name(format), rules[rule], error[NEAREST], error[GPTQ], error[ROTATED],
           ppl[NEAREST], ppl[GPTQ], ppl[ROTATED]);
    return NC_OK;
}

static nc_status table(network *n, const nc_hlx_loader *valid, int json) {
    /* bit r: rule r is one that the format has, and not the same as another */
    static const unsigned rules[NC_FP4_FORMAT_COUNT] = {0, 0x1F, 0x29, 0x09, 0x09};
    float *trained = malloc(n->parameters * sizeof *trained);
    nc_status status = trained ? NC_OK : NC_ERR_MEMORY;
    double plain = 0;
    int f, r;
    if (trained) memcpy(trained, n->parameter, n->parameters * sizeof *trained);
    if (status == NC_OK) status = perplexity(n, valid, &plain);
    if (status == NC_OK && json)
        printf("[{\"format\": \"float32\", \"perplexity\": %.5f}", plain);
    else if (status == NC_OK)
        printf("%-8s %-10s  %29s  %29s\n%-8s %-10s  %9s %9s %9s  %9s %9s %9s\n%-8s %-10s  %29s  "
               "%9.4f\n",
               "", "", "error of the layers' outputs", "perplexity of unseen text", "format",
               "rule", "nearest", "gptq", "rotated", "nearest", "gptq", "rotated", "float32", "",
               "", plain);
    for (f = NC_FP4_MXFP4; f < NC_FP4_FORMAT_COUNT; f++)
        for (r = 0; r < NC_FP4_SCALE_RULE_COUNT && status == NC_OK; r++)
            if (rules[f] >> r & 1)
                status = measure(n, trained, valid, (nc_fp4_format)f, (nc_fp4_scale_rule)r, json);
    if (json) puts("]");
    free(trained);
    return status;
}

static nc_status train(network *n, nc_hlx_loader *loader, long steps) {
    nc_hlx_adamw adamw = {0};
    nc_hlx_stats stats;
    nc_status status = NC_OK;
    long s;
    adamw.lr = 2e-3f;
    adamw.lr_min = 2e-4f;
    adamw.beta2 = 0.99f;
    adamw.weight_decay = 0.1f;
    adamw.clip_norm = 1.0f;
    adamw.warmup_steps = 50;
    adamw.decay_steps = (uint32_t)steps;
    for (s = 0; s < steps && status == NC_OK; s++)
        status = nc_hlx_train_step(n->model, loader, &adamw, &stats);
    return status;
}

int main(int argc, char **argv) {
    const char *path = NULL;
    static network n;
    nc_hlx_config config = {0};
    nc_hlx_data data;
    nc_error err = {NC_OK, 0, 0, ""};
    nc_status status;
    long steps = 600, windows = 0, all;
    int i, json = 0;
    argc = cli_begin(argc, argv, "fp4_perplexity", usage);
    for (i = 1; i < argc; i++) {
        if (!strcmp(argv[i], "--json"))
            json = 1;
        else if (!strcmp(argv[i], "--steps"))
            steps = (long)cli_number(argv[i], argv[i + 1], 1, 1000000), i++;
        else if (!strcmp(argv[i], "--windows"))
            windows = (long)cli_number(argv[i], argv[i + 1], 1, 1000000000), i++;
        else if (argv[i][0] != '-' && !path)
            path = argv[i];
        else
            return fprintf(stderr, "fp4_perplexity: bad argument '%s'\n%s", argv[i], usage), 2;
    }
    status =
        nc_hlx_data_open(&data, path ? path : "examples/data/genesis.txt", 1, NULL, SEQ, 1, &err);
    if (status != NC_OK) return cli_refused("data", status, &err);
    all = (long)((data.valid.count - 1) / SEQ);
    n.windows = (uint32_t)(windows && windows < all ? windows : all);
    config.vocab_size = 256;
    config.d_model = D;
    config.num_layers = LAYERS;
    config.num_heads = HEADS;
    config.ffn_dim = FFN;
    config.max_seq_len = SEQ;
    config.batch_size = BATCH;
    status = nc_hlx_create(&n.model, &config, NULL);
    if (status != NC_OK) return cli_refused("model", status, NULL);
    nc_hlx_init_weights(n.model, 1);
    if (!find_parts(&n)) return cli_refused("model", NC_ERR_MEMORY, NULL);
    status = train(&n, &data.train, steps);
    if (status == NC_OK) status = calibrate(&n, &data.train);
    if (status == NC_OK) status = table(&n, &data.valid, json);
    if (status != NC_OK) return cli_refused("run", status, NULL);
    for (i = 0; i < MATRICES; i++) free(n.matrices[i].hessian);
    nc_hlx_destroy(n.model);
    nc_hlx_data_close(&data);
    return 0;
}
