/* tir_train: train the weights that guide tir_opt's search, from a folder of TIR modules: imitation
   of a wide search first, then evolution. Every third module in the order of names is kept away
   from training; what the weights do for it is reported apart.
   The shipped examples/data/tir_weights.bin: tir_train ../shared/data/tir -o FILE
   cc -O2 -fopenmp tir_train.c -o tir_train -lm   (needs stb_ds.h) */
#define _POSIX_C_SOURCE 200112L
#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>
#define NC_IMPLEMENTATION
#include "../nc_tirneural.h"

static const char usage[] =
    "usage: tir_train DIR [options]\n"
    "  -o FILE          write the weights there\n"
    "  --epochs N       of imitation (default 20)\n"
    "  --beam N         width of the search it imitates (default 256)\n"
    "  --generations N  of evolution after it (default 20)\n"
    "  --seed N         of everything random (default 1)\n"
    "  --weights FILE   start from these instead of random weights, without imitation\n"
    "  --state FILE     keep the evolution's state there, and go on from it\n"
    "  --no-ablation    leave out the table of trained, random and no weights\n"
    "Returns 0, 1 on an error, 2 on bad usage.\n";

enum { MAX_MODULES = 512 };

typedef struct corpus {
    char *name[MAX_MODULES], *tasm[MAX_MODULES];
    size_t count;
} corpus;

static int by_name(const void *a, const void *b) {
    return strcmp(*(char *const *)a, *(char *const *)b);
}

/* Lowered modules of the folder in the order of their names. */
static int load_corpus(const char *folder, corpus *c) {
    struct dirent *entry;
    DIR *dir = opendir(folder);
    size_t i, n;
    c->count = 0;
    if (!dir) return fprintf(stderr, "tir_train: cannot open '%s'\n", folder), 1;
    while (c->count < MAX_MODULES && (entry = readdir(dir)) != NULL) {
        n = strlen(entry->d_name);
        if (n < 5 || strcmp(entry->d_name + n - 4, ".tir")) continue;
        if (n > 8 && !strcmp(entry->d_name + n - 8, ".raw.tir")) continue;
        c->name[c->count] = malloc(n + 1);
        strcpy(c->name[c->count++], entry->d_name);
    }
    closedir(dir);
    qsort(c->name, c->count, sizeof *c->name, by_name);
    for (i = 0; i < c->count; i++) {
        char path[2048], *text;
        nc_tir_program *p;
        nc_error err;
        snprintf(path, sizeof path, "%s/%s", folder, c->name[i]);
        if (nc_file_read(path, &text, &n, &err) != NC_OK)
            return fprintf(stderr, "tir_train: cannot read '%s'\n", path), 1;
        if (nc_tir_parse(&p, text, n, &err) != NC_OK ||
            nc_tir_lower(p, NC_TIR_TARGET_TRIDENT, &c->tasm[i]) != NC_OK)
            return fprintf(stderr, "%s:%d:%d: %s\n", path, err.line, err.column, err.message), 1;
        nc_tir_destroy(p);
        nc_file_free(text);
    }
    if (c->count == 0) return fprintf(stderr, "tir_train: no modules in '%s'\n", folder), 1;
    return 0;
}

static int show(void *user, uint64_t done, uint64_t total) {
    if (isatty(2))
        fprintf(stderr, "\r%s %lu of %lu   ", (const char *)user, (unsigned long)done,
                (unsigned long)total);
    return 0;
}

static void end_of_line(void) {
    if (isatty(2)) fputs("\r                                   \r", stderr);
}

static double now(void) {
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

/* Instructions after optimisation, over before, and states looked at. */
static double ratio(const corpus *c, int kept_away, const nc_tir_model *model, uint32_t beam,
                    double *states) {
    double before = 0, after = 0;
    size_t i;
    *states = 0;
    for (i = 0; i < c->count; i++) {
        nc_tir_options options = {0};
        nc_tir_report report;
        char *out;
        if ((i % 3 == 2) != kept_away) continue;
        options.beam = beam;
        options.model = model;
        if (nc_tir_optimize_tasm(c->tasm[i], &options, &out, &report, NULL) != NC_OK) continue;
        before += report.instructions_before;
        after += report.instructions_after;
        *states += (double)report.expanded;
        nc_tir_free_text(out);
    }
    return before > 0 ? after / before : 1.0;
}

static void ablation(const corpus *c, const nc_tir_model *trained, const nc_tir_model *start) {
    static const uint32_t beams[] = {2, 4, 8, 16, 32};
    size_t i;
    int away, k;
    printf("instructions after / before (thousand states looked at), same width of the beam\n");
    printf("  %-18s %4s  %-17s %-17s %-17s\n", "modules", "beam", "trained", "random weights",
           "no network");
    for (away = 0; away < 2; away++)
        for (i = 0; i < sizeof beams / sizeof *beams; i++) {
            const nc_tir_model *models[3];
            models[0] = trained;
            models[1] = start;
            models[2] = NULL;
            printf("  %-18s %4u", away ? "kept away" : "trained on", (unsigned)beams[i]);
            for (k = 0; k < 3; k++) {
                double states, r = ratio(c, away, models[k], beams[i], &states);
                printf("  %.4f (%6.0f)  ", r, states / 1000);
                fflush(stdout);
            }
            printf("\n");
        }
}

static int fail(const char *what, const nc_error *err) {
    end_of_line();
    return fprintf(stderr, "tir_train: %s: %s\n", what, err->message), 1;
}

int main(int argc, char **argv) {
    static corpus c;
    const char *folder = NULL, *out = NULL, *weights = NULL, *state = NULL;
    const char *training[MAX_MODULES];
    size_t count = 0, i, parameters, embedding;
    nc_tir_imitation imitation = {0};
    nc_tir_imitation_report seen;
    nc_tir_evolution *evolution;
    nc_tir_model *model, *start;
    uint32_t generations = 20;
    uint64_t seed = 1;
    double begun = now();
    int k, compare = 1;
    nc_error err = {0};
    nc_gl digest[4];
    char hex[65];
    for (k = 1; k < argc; k++) {
        const char *next = k + 1 < argc ? argv[k + 1] : "";
        if (!strcmp(argv[k], "--help")) return fputs(usage, stdout) < 0;
        if (!strcmp(argv[k], "--no-ablation"))
            compare = 0;
        else if (!strcmp(argv[k], "--epochs") && atoi(next) > 0)
            imitation.epochs = (uint32_t)atoi(argv[++k]);
        else if (!strcmp(argv[k], "--beam") && atoi(next) > 0)
            imitation.beam = (uint32_t)atoi(argv[++k]);
        else if (!strcmp(argv[k], "--generations") && *next >= '0' && *next <= '9')
            generations = (uint32_t)atoi(argv[++k]);
        else if (!strcmp(argv[k], "--seed") && *next)
            seed = strtoull(argv[++k], NULL, 10);
        else if (!strcmp(argv[k], "--weights") && *next)
            weights = argv[++k];
        else if (!strcmp(argv[k], "--state") && *next)
            state = argv[++k];
        else if (!strcmp(argv[k], "-o") && *next)
            out = argv[++k];
        else if (argv[k][0] != '-' && !folder)
            folder = argv[k];
        else
            return fprintf(stderr, "tir_train: bad argument '%s'\n%s", argv[k], usage), 2;
    }
    if (!folder) return fputs(usage, stderr), 2;
    if (load_corpus(folder, &c)) return 1;
    for (i = 0; i < c.count; i++)
        if (i % 3 != 2) training[count++] = c.tasm[i];
    parameters = nc_tir_model_parameters(&embedding);
    printf("%lu parameters and %lu of embeddings; %lu modules to train on, %lu kept away\n",
           (unsigned long)parameters, (unsigned long)embedding, (unsigned long)count,
           (unsigned long)(c.count - count));
    if (nc_tir_model_create(&start, seed) != NC_OK || nc_tir_model_create(&model, seed) != NC_OK)
        return fprintf(stderr, "tir_train: out of memory\n"), 1;
    if (weights) {
        nc_tir_model_destroy(model);
        if (nc_tir_model_load(&model, weights, &err) != NC_OK) return fail(weights, &err);
    } else {
        imitation.seed = seed;
        imitation.progress = show;
        imitation.user = "imitation";
        if (nc_tir_imitate(model, training, count, &imitation, &seen, &err) != NC_OK)
            return fail("imitation", &err);
        end_of_line();
        printf("imitation: %u pieces of code, %u moves; loss %.3f, best move first in %.1f %%\n",
               seen.blocks, seen.samples, seen.loss, 100 * seen.accuracy);
    }
    if (nc_tir_evolution_create(&evolution, model, seed) != NC_OK)
        return fprintf(stderr, "tir_train: out of memory\n"), 1;
    for (i = 0; i < count; i++)
        if (nc_tir_evolution_add(evolution, training[i], &err) != NC_OK)
            return fail("evolution", &err);
    if (state && access(state, R_OK) == 0 && nc_tir_evolution_load(evolution, state, &err) != NC_OK)
        return fail(state, &err);
    if (generations) {
        uint64_t first;
        if (nc_tir_evolution_run(evolution, 1, NULL, NULL) != NC_OK)
            return fprintf(stderr, "tir_train: out of memory\n"), 1;
        first = nc_tir_evolution_cost(evolution);
        if (nc_tir_evolution_run(evolution, generations - 1, show, "generation") != NC_OK)
            return fprintf(stderr, "tir_train: out of memory\n"), 1;
        end_of_line();
        printf("evolution: %u blocks, %u generations; rows %lu, then %lu\n",
               nc_tir_evolution_blocks(evolution), generations, (unsigned long)(first & 0xfffffff),
               (unsigned long)(nc_tir_evolution_cost(evolution) & 0xfffffff));
        if (state && nc_tir_evolution_save(evolution, state, &err) != NC_OK)
            return fail(state, &err);
    }
    nc_tir_model_digest(nc_tir_evolution_best(evolution), digest);
    nc_gl_digest_hex(digest, hex);
    printf("weights %s, %.0f s\n", hex, now() - begun);
    if (out && nc_tir_model_save(nc_tir_evolution_best(evolution), out, &err) != NC_OK)
        return fail(out, &err);
    if (compare) ablation(&c, nc_tir_evolution_best(evolution), start);
    nc_tir_evolution_destroy(evolution);
    nc_tir_model_destroy(model);
    nc_tir_model_destroy(start);
    for (i = 0; i < c.count; i++) {
        nc_tir_free_text(c.tasm[i]);
        free(c.name[i]);
    }
    return 0;
}
