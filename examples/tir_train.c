/* tir_train: train the weights that guide tir_opt's search, from a folder of TIR modules: imitation
   of a wide search, in a second round of one that the first round's weights guide, then evolution.
   Every third module in the order of names is kept away from training; what the weights do for it
   is reported apart. Most of what is learned from are blocks made up from the other modules: pieces
   of them joined, chains in which every instruction follows two as it does in them, statements such
   as the compiler writes, all with a few changes.
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
#include "cli.h"

static const char usage[] =
    "usage: tir_train DIR [options]\n"
    "  -o FILE          write the weights there (needed)\n"
    "  --blocks N       blocks made up to learn from, in each of two rounds (default 45000)\n"
    "  --epochs N       of imitation (default 3)\n"
    "  --beam N         width of the search it imitates (default 64)\n"
    "  --generations N  of evolution after it (default 20)\n"
    "  --seed N         of everything random (default 1)\n"
    "  --weights FILE   start from these instead of random weights, without imitation\n"
    "  --state FILE     keep the evolution's state there, and go on from it; without it what\n"
    "                   evolution finds counts only if it is better on blocks it did not see\n"
    "  --no-ablation    leave out the table of trained, random and no weights\n"
    "  --json           the result as JSON\n"
    "Returns 0, 1 on an error, 2 on bad usage.\n";

enum { MAX_MODULES = 512, MAX_TEXTS = 4096, TEXT_BLOCKS = 200, BLOCK = 32, KINDS = 4096 };

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
    if (!dir) return cli_fail(CLI_ERROR, "cannot open '%s': %s", folder, strerror(errno));
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
            return cli_fail(CLI_ERROR, "%s", err.message);
        if (nc_tir_parse(&p, text, n, &err) != NC_OK ||
            nc_tir_lower(p, NC_TIR_TARGET_TRIDENT, &c->tasm[i]) != NC_OK)
            return fprintf(stderr, "%s:%d:%d: %s\n", path, err.line, err.column, err.message), 1;
        nc_tir_destroy(p);
        nc_file_free(text);
    }
    if (c->count == 0) return fprintf(stderr, "tir_train: no modules in '%s'\n", folder), 1;
    return 0;
}

/* -- blocks made up -- */

/* The straight-line instructions of the modules: `kind` numbers their different texts; -1 stands
 * between two runs. */
typedef struct source {
    char *text[KINDS];
    int *code, kinds;
    size_t n, room;
    uint64_t state;
} source;

/* xorshift64: Marsaglia 2003. */
static uint32_t pick(source *s, size_t n) {
    s->state ^= s->state << 13;
    s->state ^= s->state >> 7;
    s->state ^= s->state << 17;
    return (uint32_t)((s->state >> 24) % n);
}

static int kind_of(source *s, const char *text, size_t length) {
    int k;
    for (k = 0; k < s->kinds; k++)
        if (strlen(s->text[k]) == length && !memcmp(s->text[k], text, length)) return k;
    if (s->kinds == KINDS) return -1;
    s->text[k] = malloc(length + 1);
    memcpy(s->text[k], text, length);
    s->text[k][length] = 0;
    return s->kinds++;
}

static void add_code(source *s, int kind) {
    if (kind < 0 && (s->n == 0 || s->code[s->n - 1] < 0)) return;
    if (s->n == s->room) s->code = realloc(s->code, (s->room = 2 * s->room + 64) * sizeof *s->code);
    s->code[s->n++] = kind;
}

/* Straight-line instructions of lowered code, a line each. */
static void add_module(source *s, const char *tasm) {
    static const char *const jumps[] = {"call", "return", "skiz", "recurse", "halt"};
    int skipped = 0;
    while (*tasm) {
        const size_t length = strcspn(tasm, "\n");
        const size_t blank = strspn(tasm, " ");
        size_t k, jump = blank == 0;
        for (k = 0; k < sizeof jumps / sizeof *jumps; k++)
            jump |= !strncmp(tasm + blank, jumps[k], strlen(jumps[k]));
        if (length > blank)
            add_code(s, jump || skipped ? -1 : kind_of(s, tasm + blank, length - blank));
        skipped = !strncmp(tasm + blank, "skiz", 4);
        tasm += length + (tasm[length] != 0);
    }
    add_code(s, -1);
}

static int any_code(source *s) {
    int k;
    while ((k = s->code[pick(s, s->n)]) < 0) {
    }
    return k;
}

/* An instruction that follows the last of the block in the modules, if it can be after its last
 * two. */
static int next_code(source *s, const int *block, int n) {
    const size_t first = pick(s, s->n);
    const int last = block[n - 1], two = n > 1 && pick(s, 4) ? block[n - 2] : -1;
    size_t i;
    for (i = 0; i < s->n; i++) {
        const size_t at = (first + i) % s->n;
        if (at == 0 || at + 1 == s->n || s->code[at] != last || s->code[at + 1] < 0) continue;
        if (two < 0 || s->code[at - 1] == two) return s->code[at + 1];
    }
    return any_code(s);
}

static int make_up_code(source *s, const char *name, uint32_t argument) {
    char text[32];
    snprintf(text, sizeof text, argument == UINT32_MAX ? "%s" : "%s %u", name, (unsigned)argument);
    return kind_of(s, text, strlen(text));
}

/* An operand: a copy three times of four, else a constant. */
static int operand(source *s) {
    const uint32_t argument = pick(s, 9); /* before what it is of */
    return make_up_code(s, pick(s, 4) ? "dup" : "push", argument);
}

/* A statement as the compiler writes it: operands copied, an operation, the result kept, stored or
 * consumed, or old values dropped. */
static int statement(source *s, int *block) {
    static const char *const operations[] = {"add", "mul", "eq", "lt", "and", "xor", "div_mod"};
    int n = 0;
    if (pick(s, 5) == 0) {
        block[n++] = make_up_code(s, "swap", 1 + pick(s, 8));
        block[n++] = make_up_code(s, "pop", 1 + pick(s, 2));
        return n;
    }
    block[n++] = operand(s);
    block[n++] = operand(s);
    if (pick(s, 4) == 0) { /* a difference */
        block[n++] = kind_of(s, "push -1", 7);
        block[n++] = kind_of(s, "mul", 3);
    }
    block[n++] = make_up_code(s, operations[pick(s, pick(s, 2) ? 2 : 7)], UINT32_MAX);
    switch (pick(s, 6)) {
    case 0: block[n++] = make_up_code(s, "write_io", 1); break;
    case 1:
        block[n++] = make_up_code(s, "swap", 1 + pick(s, 6));
        block[n++] = make_up_code(s, "pop", 1);
        break;
    default: break;
    }
    return n;
}

/* A block of 4 to 32 instructions. */
static int make_up(source *s, int block[BLOCK + 8]) {
    const int wanted = 4 + (int)pick(s, BLOCK - 3), how = (int)pick(s, 10);
    int n = 0, changes = (int)pick(s, 3);
    if (how < 2)
        while (n < wanted) n += statement(s, block + n);
    else if (how < 6)
        for (block[n++] = any_code(s); n < wanted; n++) block[n] = next_code(s, block, n);
    else
        while (n < wanted) {
            size_t at = pick(s, s->n), length = 2 + pick(s, how < 9 ? 10 : 40);
            for (; n < wanted && length-- > 0 && at < s->n && s->code[at] >= 0; at++)
                block[n++] = s->code[at];
        }
    if (n > BLOCK) n = BLOCK;
    for (; changes > 0; changes--) {
        const uint32_t at = pick(s, (size_t)n);
        const int code = any_code(s);
        if (pick(s, 3) == 0 && n > 3) {
            memmove(block + at, block + at + 1, ((size_t)--n - at) * sizeof *block);
        } else if (pick(s, 2) && n < BLOCK) {
            memmove(block + at + 1, block + at, ((size_t)n++ - at) * sizeof *block);
            block[at] = code;
        } else {
            block[at] = code;
        }
    }
    return n;
}

/* A program of many blocks, each a function. */
static char *make_up_text(source *s, size_t blocks) {
    char *text = malloc(blocks * 1600 + 1), *at = text;
    size_t i;
    int k;
    for (i = 0; i < blocks; i++) {
        int block[BLOCK + 8];
        const int n = make_up(s, block);
        at += sprintf(at, "b%lu:\n", (unsigned long)i);
        for (k = 0; k < n; k++) at += sprintf(at, "    %.40s\n", s->text[block[k]]);
        at += sprintf(at, "    return\n");
    }
    return text;
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
    static const uint32_t beams[] = {1, 2, 4, 8, 16};
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
                static const char *const names[] = {"trained", "random", "none"};
                double states, r = ratio(c, away, models[k], beams[i], &states);
                printf("  %.4f (%6.0f)  ", r, states / 1000);
                fflush(stdout);
                if (cli_json)
                    fprintf(cli_json,
                            "%s{\"modules\": \"%s\", \"beam\": %u, \"network\": \"%s\", "
                            "\"ratio\": %.6f, \"states\": %.0f}",
                            away + i + (size_t)k ? ",\n " : "", away ? "kept away" : "trained on",
                            (unsigned)beams[i], names[k], r, states);
            }
            printf("\n");
        }
}

static int fail(const char *what, const nc_error *err) {
    end_of_line();
    return fprintf(stderr, "tir_train: %s: %s\n", what, err->message), 1;
}

/* A round of imitation, on the modules and on blocks made up from them. */
static int imitate(nc_tir_model *model, source *made, const char **texts, size_t modules,
                   size_t blocks, const nc_tir_imitation *options) {
    nc_tir_imitation_report seen;
    nc_error err = {0};
    size_t count = modules, i;
    for (i = 0; i < blocks; i += TEXT_BLOCKS)
        texts[count++] =
            make_up_text(made, blocks - i < TEXT_BLOCKS ? blocks - i : (size_t)TEXT_BLOCKS);
    if (nc_tir_imitate(model, texts, count, options, &seen, &err) != NC_OK)
        return fail("imitation", &err);
    end_of_line();
    printf("imitation: %u pieces of code, %u states; loss %.3f, a best move first in %.1f %%\n",
           seen.blocks, seen.samples, seen.loss, 100 * seen.accuracy);
    fflush(stdout);
    while (count > modules) free((void *)(uintptr_t)texts[--count]);
    return 0;
}

/* Evolution on all blocks of the training modules; its state is kept in a file. */
static int evolve(const corpus *c, nc_tir_model **model, const char *state, uint64_t seed,
                  uint32_t generations) {
    nc_tir_evolution *evolution;
    nc_error err = {0};
    uint64_t first;
    size_t i;
    if (generations == 0) return 0;
    if (nc_tir_evolution_create(&evolution, *model, seed) != NC_OK)
        return fprintf(stderr, "tir_train: out of memory\n"), 1;
    for (i = 0; i < c->count; i++)
        if (i % 3 != 2 && nc_tir_evolution_add(evolution, c->tasm[i], &err) != NC_OK)
            return fail("evolution", &err);
    if (access(state, R_OK) == 0 && nc_tir_evolution_load(evolution, state, &err) != NC_OK)
        return fail(state, &err);
    if (nc_tir_evolution_run(evolution, 1, NULL, NULL) != NC_OK)
        return fprintf(stderr, "tir_train: out of memory\n"), 1;
    first = nc_tir_evolution_cost(evolution);
    if (nc_tir_evolution_run(evolution, generations - 1, show, "generation") != NC_OK)
        return fprintf(stderr, "tir_train: out of memory\n"), 1;
    end_of_line();
    printf("evolution: %u blocks, %u generations; rows %lu, then %lu\n",
           nc_tir_evolution_blocks(evolution), generations, (unsigned long)(first & 0xfffffff),
           (unsigned long)(nc_tir_evolution_cost(evolution) & 0xfffffff));
    if (nc_tir_evolution_save(evolution, state, &err) != NC_OK) return fail(state, &err);
    nc_tir_model_destroy(*model);
    if (nc_tir_model_copy(model, nc_tir_evolution_best(evolution)) != NC_OK)
        return fprintf(stderr, "tir_train: out of memory\n"), 1;
    nc_tir_evolution_destroy(evolution);
    return 0;
}

/* Evolution on one half of the blocks; what it finds counts only if it is better on the other. */
static int refine(const corpus *c, nc_tir_model **model, uint64_t seed, uint32_t generations) {
    nc_tir_trainer *trainer;
    nc_error err = {0};
    size_t i;
    if (generations == 0) return 0;
    if (nc_tir_trainer_create(&trainer, NULL, *model, seed, &err) != NC_OK)
        return fail("evolution", &err);
    for (i = 0; i < c->count; i++)
        if (i % 3 != 2 && nc_tir_trainer_collect(trainer, c->tasm[i], &err) != NC_OK)
            return fail("evolution", &err);
    if (nc_tir_trainer_start(trainer, generations, &err) != NC_OK ||
        nc_tir_trainer_wait(trainer) != NC_OK)
        return fail("evolution", &err);
    printf("evolution: %u generations, %s on the held-out half\n", generations,
           nc_tir_trainer_promotions(trainer) ? "better" : "not better");
    nc_tir_model_destroy(*model);
    if (nc_tir_model_copy(model, nc_tir_trainer_model(trainer)) != NC_OK)
        return fprintf(stderr, "tir_train: out of memory\n"), 1;
    nc_tir_trainer_destroy(trainer);
    return 0;
}

int main(int argc, char **argv) {
    static corpus c;
    const char *folder = NULL, *out = NULL, *weights = NULL, *state = NULL;
    static const char *training[MAX_TEXTS];
    static source made;
    size_t modules = 0, blocks = 45000, i, parameters, embedding;
    nc_tir_imitation imitation = {0};
    nc_tir_model *model, *start;
    uint32_t generations = 20;
    uint64_t seed = 1;
    double begun = now();
    int k, compare = 1;
    nc_error err = {0};
    nc_gl digest[4];
    char hex[65];
    argc = cli_begin(argc, argv, "tir_train", usage);
    for (k = 1; k < argc; k++) {
        const char *next = k + 1 < argc ? argv[k + 1] : "";
        if (!strcmp(argv[k], "--no-ablation"))
            compare = 0;
        else if (!strcmp(argv[k], "--json"))
            cli_json ? (void)0 : cli_json_alone();
        else if (!strcmp(argv[k], "--blocks"))
            blocks = (size_t)cli_number(argv[k], argv[k + 1], 0,
                                        (MAX_TEXTS - MAX_MODULES) * TEXT_BLOCKS),
            k++;
        else if (!strcmp(argv[k], "--epochs"))
            imitation.epochs = (uint32_t)cli_number(argv[k], argv[k + 1], 1, 1000000), k++;
        else if (!strcmp(argv[k], "--beam"))
            imitation.beam = (uint32_t)cli_number(argv[k], argv[k + 1], 1, 65536), k++;
        else if (!strcmp(argv[k], "--generations"))
            generations = (uint32_t)cli_number(argv[k], argv[k + 1], 0, 1000000000), k++;
        else if (!strcmp(argv[k], "--seed"))
            seed = (uint64_t)cli_number(argv[k], argv[k + 1], 0, INT64_MAX), k++;
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
    if (!out) return cli_fail(CLI_USAGE, "-o FILE is missing: the weights would be lost");
    if (!cli_can_write(out) || (state && !cli_can_write(state))) return CLI_ERROR;
    if (load_corpus(folder, &c)) return 1;
    for (i = 0; i < c.count; i++)
        if (i % 3 != 2) training[modules++] = c.tasm[i];
    parameters = nc_tir_model_parameters(&embedding);
    printf("%lu parameters and %lu of embeddings; %lu modules to train on, %lu kept away\n",
           (unsigned long)parameters, (unsigned long)embedding, (unsigned long)modules,
           (unsigned long)(c.count - modules));
    if (nc_tir_model_create(&start, seed) != NC_OK || nc_tir_model_create(&model, seed) != NC_OK)
        return fprintf(stderr, "tir_train: out of memory\n"), 1;
    if (weights) {
        nc_tir_model_destroy(model);
        if (nc_tir_model_load(&model, weights, &err) != NC_OK) return fail(weights, &err);
    } else {
        made.state = 2 * seed + 1;
        for (i = 0; i < modules; i++) add_module(&made, training[i]);
        if (made.n < 3) return fprintf(stderr, "tir_train: no code in '%s'\n", folder), 1;
        imitation.whole = (uint32_t)((blocks + TEXT_BLOCKS - 1) / TEXT_BLOCKS);
        imitation.seed = seed;
        imitation.progress = show;
        imitation.user = "imitation";
        if (imitate(model, &made, training, modules, blocks, &imitation)) return 1;
        imitation.guided = 1;
        imitation.rate = 5e-4f;
        if (imitate(model, &made, training, modules, blocks, &imitation)) return 1;
    }
    if (state ? evolve(&c, &model, state, seed, generations)
              : refine(&c, &model, seed, generations))
        return 1;
    nc_tir_model_digest(model, digest);
    nc_gl_digest_hex(digest, hex);
    printf("weights %s, %.0f s\n", hex, now() - begun);
    if (out && nc_tir_model_save(model, out, &err) != NC_OK) return fail(out, &err);
    if (cli_json) {
        fprintf(cli_json, "{\"parameters\": %lu, \"embedding\": %lu, \"modules\": %lu, ",
                (unsigned long)parameters, (unsigned long)embedding, (unsigned long)modules);
        fprintf(cli_json, "\"kept_away\": %lu, \"weights\": \"%s\", \"ablation\": [",
                (unsigned long)(c.count - modules), hex);
    }
    if (compare) ablation(&c, model, start);
    if (cli_json) fputs("]}\n", cli_json);
    nc_tir_model_destroy(model);
    nc_tir_model_destroy(start);
    for (i = 0; i < c.count; i++) {
        nc_tir_free_text(c.tasm[i]);
        free(c.name[i]);
    }
    for (k = 0; k < made.kinds; k++) free(made.text[k]);
    free(made.code);
    return 0;
}
