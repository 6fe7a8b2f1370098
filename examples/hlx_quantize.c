/* hlx_quantize: what weights of 16, 8 and 4 bits cost a trained model and what they bring:
   perplexity of text, bytes of the matrices, tokens a second of one sequence and of several.
   cc -O2 -fopenmp hlx_quantize.c -lm -o hlx_quantize */
#define _POSIX_C_SOURCE 200112L
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#define NC_HLX_FP4
#define NC_IMPLEMENTATION
#include "../nc_hlx.h"
#include "cli.h"

static const char usage[] =
    "usage: hlx_quantize [--windows N] [--sequences N] [--seconds X] [--json] CHECKPOINT FILE\n"
    "Perplexity of the last tenth of FILE (bytes; on its first N windows, default 64), decoded\n"
    "token by token in so many sequences at once (default 8), for each format of the weights.\n"
    "CHECKPOINT is one of hlx_train, of a model of bytes. --seconds is how long each speed is\n"
    "measured (default 1).\n"
    "Returns 0, 1 on an error, 2 on bad usage.\n";

static const char *const names[NC_HLX_WEIGHTS_COUNT] = {"float32", "int8", "mxfp4", "nvfp4", "nf4"};

typedef struct options {
    const char *checkpoint, *file;
    uint32_t windows, sequences;
    double seconds;
    int json;
} options;

typedef struct row {
    const char *name;
    double perplexity, one, several; /* tokens a second */
    uint64_t bytes;
} row;

/* Cross-entropy of a row of logits, in nats. */
static double loss_of(const float *logits, uint32_t n, uint32_t target) {
    double most = logits[0], sum = 0.0;
    uint32_t i;
    for (i = 1; i < n; i++)
        if (logits[i] > most) most = logits[i];
    for (i = 0; i < n; i++) sum += exp(logits[i] - most);
    return log(sum) + most - logits[target];
}

/* Windows of seq tokens and their successors, `sequences` of them side by side. */
static nc_status perplexity(nc_hlx_cache *cache, const nc_hlx_loader *data, const options *o,
                            uint32_t vocab, double *out) {
    const uint32_t seq = data->seq, n = o->sequences;
    uint32_t *tokens = malloc(n * sizeof *tokens), *counts = malloc(n * sizeof *counts);
    nc_status status = tokens && counts ? NC_OK : NC_ERR_MEMORY;
    double sum = 0.0;
    uint32_t w, s, t;
    for (w = 0; w < o->windows && status == NC_OK; w += n) {
        const uint32_t here = o->windows - w < n ? o->windows - w : n;
        for (s = 0; s < n; s++) (void)nc_hlx_cache_truncate(cache, s, 0);
        for (t = 0; t < seq && status == NC_OK; t++) {
            for (s = 0; s < n; s++) {
                counts[s] = s < here;
                if (s < here) tokens[s] = data->data[(size_t)(w + s) * seq + t];
            }
            status = nc_hlx_cache_append(cache, tokens, counts);
            for (s = 0; s < here && status == NC_OK; s++)
                sum += loss_of(nc_hlx_cache_logits(cache, s), vocab,
                               data->data[(size_t)(w + s) * seq + t + 1]);
        }
    }
    free(tokens);
    free(counts);
    *out = exp(sum / ((double)o->windows * seq));
    return status;
}

static double now(void) {
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

/* Tokens a second of all sequences together, over contexts of every length. */
static nc_status speed(nc_hlx_model *model, nc_hlx_weights format, uint32_t sequences,
                       double seconds, double *out) {
    const uint32_t seq = nc_hlx_get_config(model)->max_seq_len;
    uint32_t *tokens = calloc(sequences, sizeof *tokens), s;
    nc_hlx_cache *cache = NULL;
    nc_status status = tokens ? nc_hlx_cache_create(&cache, model, sequences) : NC_ERR_MEMORY;
    double start, count = 0;
    if (status == NC_OK) status = nc_hlx_cache_quantize(cache, format, NULL);
    for (start = now(); status == NC_OK && now() - start < seconds; count += sequences) {
        for (s = 0; s < sequences; s++)
            if (nc_hlx_cache_length(cache, s) == seq) (void)nc_hlx_cache_truncate(cache, s, 0);
        status = nc_hlx_cache_append(cache, tokens, NULL);
    }
    *out = count / (now() - start);
    nc_hlx_cache_destroy(cache);
    free(tokens);
    return status;
}

static nc_status measure(nc_hlx_model *model, nc_hlx_weights format, const nc_hlx_loader *data,
                         const options *o, row *r) {
    nc_hlx_cache *cache = NULL;
    nc_status status = nc_hlx_cache_create(&cache, model, o->sequences);
    r->name = names[format];
    if (status == NC_OK) status = nc_hlx_cache_quantize(cache, format, &r->bytes);
    if (status == NC_OK)
        status = perplexity(cache, data, o, nc_hlx_get_config(model)->vocab_size, &r->perplexity);
    nc_hlx_cache_destroy(cache);
    if (status == NC_OK) status = speed(model, format, 1, o->seconds, &r->one);
    if (status == NC_OK) status = speed(model, format, o->sequences, o->seconds, &r->several);
    return status;
}

/* The same parameters, multiplied as bfloat16. */
static nc_status rounded(nc_hlx_model *model, nc_hlx_model **out) {
    nc_hlx_config c = *nc_hlx_get_config(model);
    nc_status status;
    size_t n;
    c.bf16 = 1;
    status = nc_hlx_create_inference(out, &c, NULL);
    if (status == NC_OK) {
        const float *from = nc_hlx_parameters(model, &n);
        memcpy(nc_hlx_parameters(*out, &n), from, n * sizeof *from);
    }
    return status;
}

static void print(const row *r, double bytes, const options *o, int first) {
    if (o->json)
        printf("%s\n {\"weights\": \"%s\", \"bytes\": %.0f, \"perplexity\": %.5f, "
               "\"tokens_per_second\": [%.0f, %.0f]}",
               first ? "[" : ",", r->name, bytes, r->perplexity, r->one, r->several);
    else
        printf("%-8s %10.0f  %10.4f  %10.0f  %10.0f\n", r->name, bytes, r->perplexity, r->one,
               r->several);
}

static nc_status table(nc_hlx_model *model, const nc_hlx_loader *data, const options *o) {
    const nc_hlx_config *c = nc_hlx_get_config(model);
    const double bytes =
        4.0 * c->num_layers * (4.0 * c->d_model * c->d_model + 2.0 * c->d_model * c->ffn_dim);
    nc_hlx_model *half = NULL;
    nc_status status = rounded(model, &half);
    row r = {0};
    int f;
    if (!o->json)
        printf("%-8s %10s  %10s  %10s  tokens/s of %u\n", "weights", "bytes", "perplexity",
               "tokens/s", o->sequences);
    for (f = 0; f < NC_HLX_WEIGHTS_COUNT && status == NC_OK; f++) {
        status = measure(model, (nc_hlx_weights)f, data, o, &r);
        if (status == NC_OK) print(&r, f ? (double)r.bytes : bytes, o, f == 0);
        if (f || status != NC_OK) continue;
        status = measure(half, NC_HLX_WEIGHTS_FLOAT32, data, o, &r);
        r.name = "bfloat16"; /* of float32 parameters, rounded where they are used */
        if (status == NC_OK) print(&r, bytes, o, 0);
    }
    if (o->json) puts("\n]");
    nc_hlx_destroy(half);
    return status;
}

static int parse(int argc, char **argv, options *o) {
    int i;
    memset(o, 0, sizeof *o);
    o->windows = 64, o->sequences = 8, o->seconds = 1;
    for (i = 1; i < argc; i++) {
        const char *value = i + 1 < argc ? argv[i + 1] : "";
        if (!strcmp(argv[i], "--json")) {
            o->json = 1;
        } else if (!strcmp(argv[i], "--seconds")) {
            o->seconds = cli_real(argv[i], argv[i + 1], 0, 600), i++;
        } else if (!strcmp(argv[i], "--windows")) {
            o->windows = (uint32_t)cli_number(argv[i], argv[i + 1], 1, 1000000), i++;
        } else if (!strcmp(argv[i], "--sequences")) {
            o->sequences = (uint32_t)cli_number(argv[i], argv[i + 1], 1, 65536), i++;
        } else if (argv[i][0] == '-' || o->file) {
            fprintf(stderr, "hlx_quantize: unknown or bad option %s %s\n%s", argv[i], value, usage);
            return 2;
        } else if (!o->checkpoint) {
            o->checkpoint = argv[i];
        } else {
            o->file = argv[i];
        }
    }
    if (o->file) return 0;
    fputs(usage, stderr);
    return 2;
}

int main(int argc, char **argv) {
    nc_hlx_model *model = NULL;
    nc_hlx_data data = {0};
    nc_error err = {0};
    nc_status status;
    options o;
    size_t most;
    argc = cli_begin(argc, argv, "hlx_quantize", usage);
    if (parse(argc, argv, &o)) return 2;
    status = nc_hlx_load_inference(&model, o.checkpoint, 1, NULL, &err);
    if (status != NC_OK) return cli_refused(o.checkpoint, status, &err);
    if (nc_hlx_get_config(model)->vocab_size == 256)
        status = nc_hlx_data_open(&data, o.file, 1, NULL, nc_hlx_get_config(model)->max_seq_len, 1,
                                  &err);
    else {
        nc_hlx_destroy(model);
        fprintf(stderr, "hlx_quantize: %s: not a model of bytes\n", o.checkpoint);
        return 1;
    }
    if (status == NC_OK) {
        most = (data.valid.count - 1) / data.valid.seq;
        if (o.windows > most) o.windows = (uint32_t)most;
        status = table(model, &data.valid, &o);
    }
    nc_hlx_data_close(&data);
    nc_hlx_destroy(model);
    return status == NC_OK ? 0 : cli_refused(o.file, status, &err);
}
