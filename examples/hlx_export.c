/* hlx_export: the weights of a checkpoint as safetensors with GPT-2's names or as a folder that
   transformers opens, and back.
   cc -O2 hlx_export.c -lm -o hlx_export */
#define _POSIX_C_SOURCE 200809L
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#define NC_IMPLEMENTATION
#include "../nc_hlx.h"
#include "cli.h"

static const char usage[] =
    "usage: hlx_export CHECKPOINT.bin -o OUT.safetensors\n"
    "       hlx_export CHECKPOINT.bin -o FOLDER\n"
    "       hlx_export [CHECKPOINT.bin] --import IN [options] -o NEW.bin\n"
    "FOLDER gets model.safetensors and config.json, as transformers' from_pretrained reads them.\n"
    "The third form writes a checkpoint with the weights of IN and a fresh optimiser, of\n"
    "CHECKPOINT's shape or of that of IN's config.json. IN is a file of safetensors, an index of\n"
    "shards (.index.json), a folder with one of them, or llm.c's model (.bin). What differs is\n"
    "refused, but with\n"
    "  --resize-positions  position embeddings are cut, or extended by zeros\n"
    "  --resize-vocab      token embeddings and output matrix likewise\n"
    "  --drop-head         a tied model drops IN's own output matrix\n"
    "A checkpoint is never written over.\n"
    "Prints the parameters' digest (--json: as JSON). Returns 0, 1 on an error, 2 on bad usage.\n";

typedef struct arguments {
    const char *checkpoint, *in, *out;
    nc_hlx_import_options options;
    uint32_t heads; /* that IN says */
    int json;
} arguments;

/* 0, or what is wrong. */
static const char *parse(int argc, char **argv, arguments *a) {
    int i;
    for (i = 1; i < argc; i++) {
        if (!strcmp(argv[i], "-o") && i + 1 < argc)
            a->out = argv[++i];
        else if (!strcmp(argv[i], "--import") && i + 1 < argc)
            a->in = argv[++i];
        else if (!strcmp(argv[i], "--resize-positions"))
            a->options.resize_positions = 1;
        else if (!strcmp(argv[i], "--resize-vocab"))
            a->options.resize_vocab = 1;
        else if (!strcmp(argv[i], "--json"))
            a->json = 1;
        else if (!strcmp(argv[i], "--drop-head"))
            a->options.drop_head = 1;
        else if (argv[i][0] != '-' && !a->checkpoint)
            a->checkpoint = argv[i];
        else
            return argv[i];
    }
    return NULL;
}

static int same_file(const char *a, const char *b) {
    struct stat x, y;
    return stat(a, &x) == 0 && stat(b, &y) == 0 && x.st_dev == y.st_dev && x.st_ino == y.st_ino;
}

static int is_folder(const char *name) {
    struct stat info;
    return stat(name, &info) == 0 && S_ISDIR(info.st_mode);
}

static int is_checkpoint(const char *name) {
    struct stat info; /* a pipe would wait for its writer */
    FILE *file = stat(name, &info) == 0 && S_ISREG(info.st_mode) ? fopen(name, "rb") : NULL;
    char magic[8] = "";
    const int is = file && fread(magic, 1, 8, file) == 8 && !memcmp(magic, "NCHLXCKP", 8);
    if (file) fclose(file);
    return is;
}

static int ends_with(const char *text, const char *end) {
    const size_t n = strlen(text), m = strlen(end);
    return n >= m && !strcmp(text + n - m, end);
}

/* The model of a checkpoint, whose batch size goes on in another, or of a config.json. */
static nc_status open_model(const arguments *a, nc_hlx_model **model, nc_error *err) {
    nc_hlx_config config;
    nc_status status;
    if (a->checkpoint) return nc_hlx_load_inference(model, a->checkpoint, !a->in, NULL, err);
    status = nc_hlx_read_config(&config, a->in, err);
    return status == NC_OK ? nc_hlx_create_inference(model, &config, NULL) : status;
}

/* The moments of a fresh optimiser. */
static nc_status fresh(void *user, uint32_t moment, size_t first, size_t count, float *out) {
    (void)user, (void)moment, (void)first;
    memset(out, 0, count * sizeof *out);
    return NC_OK;
}

static nc_status write_out(const arguments *a, const nc_hlx_model *model, nc_error *err) {
    if (a->in) return nc_hlx_save_shards(model, NULL, a->out, fresh, NULL, err);
    if (ends_with(a->out, ".safetensors")) return nc_hlx_export(model, a->out, err);
    if (cli_folder(a->out) != 0 && errno != EEXIST) {
        snprintf(err->message, sizeof err->message, "cannot make the folder '%.90s': %s", a->out,
                 strerror(errno));
        return NC_ERR_IO;
    }
    return nc_hlx_export_folder(model, a->out, err);
}

int main(int argc, char **argv) {
    arguments a;
    const char *wrong;
    nc_hlx_model *model = NULL;
    nc_error err = {NC_OK, 0, 0, ""};
    nc_status status;
    size_t count;
    memset(&a, 0, sizeof a);
    a.options.heads = &a.heads;
    argc = cli_begin(argc, argv, "hlx_export", usage);
    wrong = parse(argc, argv, &a);
    if (wrong) return fprintf(stderr, "hlx_export: bad argument '%s'\n%s", wrong, usage), 2;
    if (!a.out || (!a.checkpoint && !a.in)) return fputs(usage, stderr), 2;
    if ((a.checkpoint && same_file(a.checkpoint, a.out)) || (a.in && same_file(a.in, a.out)))
        return fprintf(stderr, "hlx_export: '%s' would be written over itself\n", a.out), 2;
    if (is_checkpoint(a.out)) {
        fprintf(stderr, "hlx_export: '%s' is a checkpoint: remove it first, or give another name\n",
                a.out);
        return 2;
    }
    if (!is_folder(a.out) && !cli_can_write(a.out)) return CLI_ERROR;
    status = open_model(&a, &model, &err);
    if (status == NC_OK && a.in) status = nc_hlx_import_with(model, a.in, &a.options, &err);
    if (status == NC_OK) status = write_out(&a, model, &err);
    if (status != NC_OK) {
        fprintf(stderr, "hlx_export: %s\n", err.message[0] ? err.message : nc_status_str(status));
    } else {
        (void)nc_hlx_parameters(model, &count);
        if (a.in && !a.heads)
            fprintf(a.json ? stderr : stdout, "%s does not say its number of heads: %u are taken\n",
                    a.in, nc_hlx_get_config(model)->num_heads);
        if (a.json)
            printf("{\"parameters\": %zu, \"digest\": \"%016llx\"}\n", count,
                   (unsigned long long)nc_hlx_digest(model));
        else
            printf("wrote %s: %zu parameters\nparameters digest: %016llx\n", a.out, count,
                   (unsigned long long)nc_hlx_digest(model));
    }
    nc_hlx_destroy(model);
    return status != NC_OK;
}
