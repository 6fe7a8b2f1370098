/* What nc_hlx.h makes of a model folder, for tests/oracle_hlx.py:
       oracle_hlx FOLDER TOKENS BATCH SEQ STEPS RATE OUT [EXPORT]
   TOKENS has STEPS batches of BATCH x (SEQ + 1) little-endian 32-bit tokens. OUT gets float32:
   logits, loss and gradients of the first batch, the loss of each step of AdamW (RATE, decay 0.1),
   then the parameters. EXPORT is a folder for the model as it was read. */
#define NC_IMPLEMENTATION
#include "../nc_hlx.h"

typedef struct batch {
    uint32_t *tokens, *targets, size, seq;
} batch;

static int fail(const char *what, const nc_error *err) {
    fprintf(stderr, "oracle_hlx: %s: %s\n", what, err->message);
    return 1;
}

/* Batch k of the file. */
static void take(const batch *b, const nc_hlx_file *file, uint32_t k) {
    uint32_t row, i;
    for (row = 0; row < b->size; row++)
        for (i = 0; i < b->seq; i++) {
            const uint8_t *at = file->data + 4 * (((size_t)k * b->size + row) * (b->seq + 1) + i);
            b->tokens[row * b->seq + i] = (uint32_t)nc__get_le(at, 4);
            b->targets[row * b->seq + i] = (uint32_t)nc__get_le(at + 4, 4);
        }
}

/* Loss and fresh gradients. */
static nc_status gradients(nc_hlx_model *model, const batch *b, float *loss) {
    nc_status status = nc_hlx_forward(model, b->tokens, b->targets, b->size, b->seq, loss);
    nc_hlx_zero_gradients(model);
    return status == NC_OK ? nc_hlx_backward(model) : status;
}

static nc_status run(nc_hlx_model *model, const batch *b, const nc_hlx_file *tokens, uint32_t steps,
                     float rate, FILE *out) {
    const size_t vocab = nc_hlx_get_config(model)->vocab_size;
    nc_hlx_adamw adamw;
    nc_hlx_stats stats;
    size_t n;
    float loss = 0;
    uint32_t k;
    nc_status status;
    memset(&adamw, 0, sizeof adamw);
    adamw.lr = rate;
    adamw.weight_decay = 0.1f;
    take(b, tokens, 0);
    status = nc_hlx_forward(model, b->tokens, NULL, b->size, b->seq, NULL);
    if (status != NC_OK) return status;
    fwrite(nc_hlx_logits(model), sizeof(float), b->size * b->seq * vocab, out);
    for (k = 0; k < steps && status == NC_OK; k++) {
        take(b, tokens, k);
        status = gradients(model, b, &loss);
        fwrite(&loss, sizeof loss, 1, out);
        if (k == 0) {
            const float *g = nc_hlx_gradients(model, &n);
            fwrite(g, sizeof *g, n, out);
        }
        nc_hlx_update(model, &adamw, &stats);
    }
    {
        const float *p = nc_hlx_parameters(model, &n);
        fwrite(p, sizeof *p, n, out);
    }
    return status;
}

int main(int argc, char **argv) {
    nc_hlx_config config;
    nc_hlx_model *model = NULL;
    nc_hlx_file tokens;
    nc_error err = {NC_OK, 0, 0, ""};
    batch b;
    FILE *out;
    nc_status status;
    uint32_t steps;
    if (argc < 8) return fprintf(stderr, "usage: see the head of this program\n"), 2;
    b.size = (uint32_t)atoi(argv[3]);
    b.seq = (uint32_t)atoi(argv[4]);
    steps = (uint32_t)atoi(argv[5]);
    if (nc_hlx_read_config(&config, argv[1], &err) != NC_OK) return fail(argv[1], &err);
    config.batch_size = b.size;
    if (nc_hlx_create(&model, &config, NULL) != NC_OK) return fail("no memory", &err);
    if (nc_hlx_import(model, argv[1], &err) != NC_OK) return fail(argv[1], &err);
    if (argc > 8 && nc_hlx_export_folder(model, argv[8], &err) != NC_OK) return fail(argv[8], &err);
    if (nc_hlx_file_open(&tokens, argv[2], &err) != NC_OK) return fail(argv[2], &err);
    if (tokens.bytes != (size_t)4 * steps * b.size * (b.seq + 1)) return fail("tokens", &err);
    b.tokens = (uint32_t *)malloc(sizeof(uint32_t) * b.size * b.seq);
    b.targets = (uint32_t *)malloc(sizeof(uint32_t) * b.size * b.seq);
    out = fopen(argv[7], "wb");
    if (!b.tokens || !b.targets || !out) return fail("no memory or no output", &err);
    status = run(model, &b, &tokens, steps, (float)atof(argv[6]), out);
    if (fclose(out) != 0 || status != NC_OK) return fail(nc_status_str(status), &err);
    free(b.tokens);
    free(b.targets);
    nc_hlx_file_close(&tokens);
    nc_hlx_destroy(model);
    return 0;
}
