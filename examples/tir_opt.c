/* tir_opt: lower a TIR program to TASM for Triton VM and replace code by cheaper sequences that
   are proven equivalent; or do the same for TASM text; or for a folder of modules, as a table.
   cc -O2 tir_opt.c -o tir_opt   (needs stb_ds.h) */
#define _POSIX_C_SOURCE 200112L
#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>
#define NC_IMPLEMENTATION
#include "../nc_tirneural.h"
#include "cli.h"

static const char usage[] =
    "usage: tir_opt FILE.tir|FILE.tasm [options]\n"
    "       tir_opt --corpus DIR [options]\n"
    "  --raw                    clean the TIR up first, by rules that never change its meaning\n"
    "  --raw-exact              the same by all rules of the target's compiler\n"
    "  --lower-only             the classical lowering alone\n"
    "  --target NAME            trident: the compiler's instructions; triton: those of the "
    "released\n"
    "                           Triton VM; triton_main: those of its main branch; trisha: the\n"
    "                           newest compiler's instructions\n"
    "  --whole                  the TASM is a whole program: functions may be moved in or dropped\n"
    "  --beam N                 search width (default 32)\n"
    "  --weights FILE           weights of the network that guides the search (tir_train makes "
    "them)\n"
    "  --train N                let the weights evolve on this code for N generations first, and\n"
    "                           keep them in FILE where they got better (without --weights:\n"
    "                           ~/.trident/neural/weights.bin)\n"
    "  --blocks                 list every block: place, before, after, bound, reason\n"
    "  --report json|table      form of the report (default table); --json: as the first\n"
    "  --profile INPUTS         a whole program's sample inputs: trade rows between tables until "
    "it\n"
    "                           pads lower on them; lines of 'public a b ..', 'secret a b ..',\n"
    "                           'digest a b c d e', 'ram at v'; an empty line begins the next "
    "sample\n"
    "  --aim machine|model|cycles  whose tables: the real machine's nine, the compiler's six, or "
    "the\n"
    "                           processor's alone\n"
    "  --effort N               of the trading, in 2^20 steps of the machine (default 64)\n"
    "  --corpus DIR             all modules of a folder, *.linked.tasm as whole programs, and\n"
    "                           instruction_counts.csv with what hand-written code takes\n"
    "  --inputs DIR             sample inputs NAME.inputs of the folder's whole programs; a "
    "module\n"
    "                           becomes one with NAME.main.tasm before it\n"
    "  -o OUT.tasm              write the TASM there; without it TASM goes to standard output and\n"
    "                           the report to standard error\n"
    "Returns 0, 1 on an error, 2 on bad usage.\n";

typedef struct job {
    const char *in, *out, *corpus, *profile, *weights, *inputs;
    int raw, lower_only, json, train;
    nc_tir_options options;
} job;

static int find_aim(const char *name, nc_tir_aim *aim) {
    static const char *const names[] = {"machine", "model", "cycles"};
    int i;
    for (i = 0; i < 3 && strcmp(name, names[i]); i++) {
    }
    if (i < 3) *aim = (nc_tir_aim)i;
    return i < 3;
}

static int find_target(const char *name, nc_tir_target *target) {
    static const char *const names[] = {"trident", "triton", "triton_main", "trisha"};
    int i;
    for (i = 0; i < 4 && strcmp(name, names[i]); i++) {
    }
    if (i < 4) *target = (nc_tir_target)i;
    return i < 4;
}

static double now(void) {
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

static int has_suffix(const char *name, const char *suffix) {
    size_t n = strlen(name), m = strlen(suffix);
    return n >= m && !strcmp(name + n - m, suffix);
}

static int fail(const char *file, nc_status status, const nc_error *err) {
    fprintf(stderr, "%s:%d:%d: %s\n", file, err->line, err->column,
            err->message[0] ? err->message : nc_status_str(status));
    return 1;
}

/* ---- sample inputs -------------------------------------------------------------------------- */

enum { MAX_SAMPLES = 64, MAX_VALUES = 1 << 20 };

typedef struct samples {
    nc_tir_input input[MAX_SAMPLES];
    nc_gl *values[MAX_SAMPLES][4]; /* one that is read again is kept */
    size_t room[MAX_SAMPLES][4], count;
} samples;

/* One field element, -a for p - a; 0 when it is none. */
static int read_element(const char *text, size_t n, nc_gl *out) {
    const size_t sign = n > 0 && (*text == '-' || *text == '+');
    if (n == sign || nc_gl_parse(text + sign, n - sign, out, NULL) != NC_OK) return 0;
    if (*text == '-') *out = nc_gl_neg(*out);
    return 1;
}

/* One value more; 0 when there are too many. */
static int add_value(samples *s, int kind, size_t used, const char *word, size_t n) {
    nc_gl **values = &s->values[s->count][kind];
    size_t *room = &s->room[s->count][kind];
    if (used == *room) {
        const size_t larger = *room ? 2 * *room : 64;
        nc_gl *grown = larger > MAX_VALUES ? NULL : realloc(*values, larger * sizeof **values);
        if (!grown) return 0;
        *values = grown;
        *room = larger;
    }
    return read_element(word, n, &(*values)[used]);
}

/* Read the sample file; 0 on success, else the line that is wrong. */
static int read_samples(const char *path, samples *s) {
    static const char *const names[4] = {"public", "secret", "digest", "ram"};
    size_t used[4] = {0, 0, 0, 0}, bytes;
    char *text, *line, *next;
    int number = 1, kind, any = 0;
    s->count = 0;
    if (nc_file_read(path, &text, &bytes, NULL) != NC_OK) return -1;
    for (line = text; line; line = next, number++) {
        char *word = line + strspn(line, " \t\r");
        next = strchr(line, '\n');
        if (next) *next++ = 0;
        if (*word && *word != '#') {
            size_t n = strcspn(word, " \t\r");
            for (kind = 0; kind < 4 && (strlen(names[kind]) != n || strncmp(word, names[kind], n));
                 kind++) {
            }
            if (kind == 4) return nc_file_free(text), number;
            any = 1;
            for (word += n; *(word += strspn(word, " \t\r")); word += n) {
                n = strcspn(word, " \t\r");
                if (!add_value(s, kind, used[kind]++, word, n)) return nc_file_free(text), number;
            }
        }
        if (any && (!next || !*(line + strspn(line, " \t\r")))) {
            nc_tir_input *in = &s->input[s->count];
            memset(in, 0, sizeof *in);
            in->public_input = s->values[s->count][0];
            in->secret_input = s->values[s->count][1];
            in->secret_digests = s->values[s->count][2];
            in->ram = s->values[s->count][3];
            in->public_count = used[0];
            in->secret_count = used[1];
            in->digest_count = used[2] / 5;
            in->ram_count = used[3] / 2;
            if (used[2] % 5 || used[3] % 2 || ++s->count == MAX_SAMPLES)
                return nc_file_free(text), number;
            memset(used, 0, sizeof used);
            any = 0;
        }
    }
    nc_file_free(text);
    return s->count ? 0 : number;
}

static void machine_row(FILE *out, const char *name, uint64_t before, uint64_t after) {
    fprintf(out, "  %-12s %9llu %9llu %7.3f\n", name, (unsigned long long)before,
            (unsigned long long)after, before ? (double)after / (double)before : 1.0);
}

static samples all_samples;

/* The sample file into all_samples, for this machine; 0 when it is there and right. */
static int load_samples(const char *path, nc_tir_target machine) {
    const int bad = read_samples(path, &all_samples);
    size_t i;
    for (i = 0; i < all_samples.count; i++) all_samples.input[i].machine = machine;
    if (bad < 0) return fprintf(stderr, "tir_opt: cannot read '%s'\n", path), 1;
    if (bad) return fprintf(stderr, "%s:%d:1: not a line of sample inputs\n", path, bad), 1;
    return 0;
}

/* The worst sample's tables: as given, with the fewest instructions, after the trades. */
static void print_cliff(FILE *out, const nc_tir_cliff *c, nc_tir_aim aim) {
    const struct {
        const char *name;
        uint64_t rows[4];
    } table[] = {
#define TABLE(name)                                                                                \
    {                                                                                              \
#name, { c->before.name, c->fewest.name, c->after.name, c->bound.name }                    \
    }
        TABLE(processor),  TABLE(op_stack), TABLE(ram),     TABLE(hash),  TABLE(u32),
        TABLE(jump_stack), TABLE(program),  TABLE(cascade), TABLE(lookup)
#undef TABLE
    };
    const char *tall[3];
    uint64_t rows[3], padded[3];
    size_t i;
    rows[0] = nc_tir_tallest_table(&c->before, &tall[0]);
    rows[1] = nc_tir_tallest_table(&c->fewest, &tall[1]);
    rows[2] = nc_tir_tallest_table(&c->after, &tall[2]);
    fprintf(out, "  %-12s %9s %9s %9s %9s %7s\n",
            aim == NC_TIR_AIM_MACHINE ? "real machine"
            : aim == NC_TIR_AIM_MODEL ? "model"
                                      : "cycles alone",
            "before", "fewest", "after", "bound", "ratio");
    for (i = 0; i < sizeof table / sizeof *table; i++)
        fprintf(out, "  %-12s %9llu %9llu %9llu %9llu %7.3f\n", table[i].name,
                (unsigned long long)table[i].rows[0], (unsigned long long)table[i].rows[1],
                (unsigned long long)table[i].rows[2], (unsigned long long)table[i].rows[3],
                table[i].rows[0] ? (double)table[i].rows[2] / (double)table[i].rows[0] : 1.0);
    for (i = 0; i < 3; i++) padded[i] = nc_tir_padded(rows[i]);
    fprintf(out, "  %-12s %9llu %9llu %9llu %9s %7.3f\n", "padded", (unsigned long long)padded[0],
            (unsigned long long)padded[1], (unsigned long long)padded[2], "",
            (double)padded[2] / (double)padded[0]);
    fprintf(
        out,
        "  worst of %lu samples; tallest table %s, then %s, %llu rows below the cliff; %s after "
        "%u runs; traded:",
        (unsigned long)all_samples.count, tall[0], tall[2],
        (unsigned long long)(padded[2] - rows[2]), nc_tir_stop_str(c->stop), c->runs);
    for (i = 0; i < NC_TIR_TRADE_COUNT; i++)
        if (c->trades[i]) fprintf(out, " %u %s", c->trades[i], nc_tir_trade_str((nc_tir_trade)i));
    fputs("\n", out);
}

/* ---- one file --------------------------------------------------------------------------------- */

static void print_report(FILE *out, const nc_tir_report *r, double seconds, int json) {
    const nc_tir_heights *a = &r->before, *b = &r->after;
    const char *tall;
    uint64_t cost_a = nc_tir_padded(nc_tir_tallest(a, NULL));
    uint64_t cost_b = nc_tir_padded(nc_tir_tallest(b, &tall));
    if (json) {
        char *text;
        if (nc_tir_report_json(r, &text) == NC_OK) {
            fputs(text, out);
            nc_tir_free_text(text);
        }
        return;
    }
    fprintf(out, "  %-12s %9s %9s %7s\n", "static model", "classical", "optimised", "ratio");
    machine_row(out, "processor", a->processor, b->processor);
    machine_row(out, "hash", a->hash, b->hash);
    machine_row(out, "u32", a->u32, b->u32);
    machine_row(out, "op_stack", a->op_stack, b->op_stack);
    machine_row(out, "ram", a->ram, b->ram);
    machine_row(out, "jump_stack", a->jump_stack, b->jump_stack);
    machine_row(out, "padded", cost_a, cost_b);
    machine_row(out, "instructions", r->instructions_before, r->instructions_after);
    fprintf(out, "  dominant table %s, %llu rows below the cliff at %llu\n", tall,
            (unsigned long long)(cost_b - nc_tir_tallest(b, NULL)), (unsigned long long)cost_b);
    fprintf(out,
            "  %u of %u blocks improved (%u had slack), each proven equivalent; %u candidates "
            "rejected; optimistic bound %.0f; %.2f s\n",
            r->improved, r->blocks, r->slack, r->rejected, r->bound, seconds);
    if (r->hints)
        fprintf(out, "  %u hints and breaks, of which %u are dropped\n", r->hints,
                r->hints_dropped);
}

static void print_block(void *user, const nc_tir_block *b) {
    static const char *const reasons[] = {"none", "stack scheduling", "fewer table rows"};
    fprintf((FILE *)user, "  block at %5u: %3u -> %3u, bound %5.1f, %s\n", b->instruction,
            b->before, b->after, (double)b->bound, reasons[b->reason]);
}

static int show_progress(void *user, uint64_t done, uint64_t total) {
    (void)user;
    fprintf(stderr, "\r%3d %%", (int)(total ? 100 * done / total : 100));
    return 0;
}

/* ~/.trident/neural/weights.bin, its folders made; null without a home. */
static const char *default_weights(void) {
    static const char *const parts[] = {"/.trident", "/neural", "/weights.bin"};
    static char path[4000];
    const char *home = getenv("HOME");
    size_t i;
    if (!home || !*home || strlen(home) > 3900) return NULL;
    strcpy(path, home);
    for (i = 0; i < 3; i++) {
        strcat(path, parts[i]);
        if (i < 2) (void)cli_folder(path); /* there already, or the file cannot be written */
    }
    return path;
}

/* Weights that are read before they are written: no pipe, which would be waited for, nor a device. */
static int can_evolve(const char *path) {
    struct stat info;
    if (stat(path, &info) == 0 && !S_ISREG(info.st_mode))
        return cli_fail(0, "--weights: '%s' is no regular file", path);
    return cli_can_write(path);
}

/* Weights of the file, or of the default one, evolved on the code. */
static nc_status evolve_weights(const job *j, const char *code, nc_tir_model **model,
                                nc_error *err) {
    const char *path = j->weights ? j->weights : default_weights();
    nc_tir_trainer *trainer;
    nc_tir_model *start;
    nc_status status = NC_OK;
    *model = NULL;
    if (!path) {
        snprintf(err->message, sizeof err->message, "no home folder for the weights");
        return NC_ERR_IO;
    }
    status = nc_tir_model_create(&start, 1);
    if (status != NC_OK) return status;
    status = nc_tir_trainer_create(&trainer, path, start, 1, err);
    if (status == NC_OK) {
        status = nc_tir_trainer_collect(trainer, code, err);
        if (status == NC_OK) status = nc_tir_trainer_start(trainer, (uint32_t)j->train, err);
        if (status == NC_OK) status = nc_tir_trainer_wait(trainer);
        if (status == NC_ERR_IO) /* the weights could not be written: once more, for the reason */
            status = nc_tir_model_save(nc_tir_trainer_model(trainer), path, err);
        if (status == NC_OK) status = nc_tir_model_copy(model, nc_tir_trainer_model(trainer));
        nc_tir_trainer_destroy(trainer);
    }
    nc_tir_model_destroy(start);
    return status;
}

/* What the lines of a TIR text cannot tell: it is cut off between two functions. 0 and the error where
   there is nothing in it, or no function that its entry names. */
static int is_whole(const char *text, nc_error *err) {
    const char *at = text, *entry = NULL;
    size_t n = 0;
    for (at += strspn(at, " \t\r\n"); *at && !entry; at += strspn(at, " \t\r\n")) {
        if (!strncmp(at, "entry ", 6)) entry = at + 6 + strspn(at + 6, " \t");
        at += strcspn(at, "\n");
    }
    if (text[strspn(text, " \t\r\n")] == 0) {
        snprintf(err->message, sizeof err->message, "there is no TIR in it");
        return 0;
    }
    n = entry ? strcspn(entry, " \t\r\n") : 0;
    for (at = text; entry && (at = strstr(at, "fn_start ")) != NULL; at += 9) {
        const char *const name = at + 9 + strspn(at + 9, " \t");
        if (!strncmp(name, entry, n) && strcspn(name, " \t\r\n") == n) return 1;
    }
    if (entry)
        snprintf(err->message, sizeof err->message,
                 "the function of 'entry %.*s' is not there: is the file cut off?",
                 n < 80 ? (int)n : 80, entry);
    return !entry;
}

/* Classical and optimised code of a file. */
static nc_status convert(const job *j, const char *path, char **classical, char **better,
                         nc_tir_report *report, nc_error *err) {
    nc_tir_program *program;
    nc_status status = NC_OK;
    size_t n;
    char *text;
    memset(report, 0, sizeof *report);
    *classical = *better = NULL;
    status = nc_file_read(path, &text, &n, err);
    if (status != NC_OK) return status;
    if (has_suffix(path, ".tasm")) {
        *classical = text; /* nc_tir_free_text frees it too */
    } else {
        status = nc_tir_parse(&program, text, n, err);
        if (status == NC_OK && !is_whole(text, err)) {
            nc_tir_destroy(program);
            status = NC_ERR_FORMAT;
        }
        nc_file_free(text);
        if (status == NC_OK && j->raw) {
            nc_tir_program *cleaned;
            status = j->raw == 1 ? nc_tir_peephole(program, &cleaned)
                                 : nc_tir_peephole_of(program,
                                                      j->options.target == NC_TIR_TARGET_TRISHA
                                                          ? NC_TIR_TARGET_TRISHA
                                                          : NC_TIR_TARGET_TRIDENT,
                                                      &cleaned);
            nc_tir_destroy(program);
            program = cleaned;
        }
        if (status != NC_OK) return status;
        status = nc_tir_lower(program, j->options.target, classical);
        nc_tir_destroy(program);
        if (status == NC_ERR_UNSUPPORTED)
            snprintf(err->message, sizeof err->message, "not for this target");
    }
    if (status == NC_OK && !j->lower_only) {
        nc_tir_options options = j->options;
        nc_tir_model *model = NULL;
        if (j->train) {
            status = evolve_weights(j, *classical, &model, err);
            options.model = model;
        }
        if (status == NC_OK)
            status = nc_tir_optimize_tasm(*classical, &options, better, report, err);
        nc_tir_model_destroy(model);
    }
    return status;
}

static int one_file(job *j) {
    char *classical, *better;
    const char *result;
    nc_tir_report report;
    nc_error err = {0};
    nc_status status;
    double start = now();
    int failed = 0;
    if (isatty(2) && !cli_quiet) j->options.progress = show_progress;
    status = convert(j, j->in, &classical, &better, &report, &err);
    if (j->options.progress) fputs("\r     \r", stderr);
    if (status != NC_OK) {
        nc_tir_free_text(classical);
        return fail(j->in, status, &err);
    }
    result = j->lower_only ? classical : better;
    if (j->out)
        failed = !cli_save(j->out, result, strlen(result));
    else
        failed = fputs(result, stdout) < 0 || cli_lost();
    if (!failed && !j->lower_only && !cli_quiet) {
        print_report(j->out ? stdout : stderr, &report, now() - start, j->json);
        if (j->profile && !j->json)
            print_cliff(j->out ? stdout : stderr, &report.cliff, j->options.aim);
    }
    nc_tir_free_text(classical);
    nc_tir_free_text(better);
    return failed;
}

/* ---- a folder --------------------------------------------------------------------------------- */

/* Instructions of a function: from its label to the next label; -1 when it is not there. */
static long function_size(const char *tasm, const char *function) {
    char label[160];
    const char *at;
    long n = 0;
    snprintf(label, sizeof label, "__%s:\n", function);
    at = strncmp(tasm, label, strlen(label)) ? strstr(tasm, label) : tasm;
    if (!at) return -1;
    while (at > tasm && at[-1] != '\n') at = strstr(at + 1, label) ? strstr(at + 1, label) : tasm;
    at += strlen(label);
    while (*at) { /* further names of the same code, then the code */
        size_t length = strcspn(at, "\n");
        if (length && *at != ' ') {
            if (n) break;
        } else if (length > 4) {
            n++;
        }
        at += length + (at[length] != 0);
    }
    return n;
}

typedef struct totals {
    double before, after, bound, hand_before, hand_after, hand;
    uint32_t blocks, slack, improved, proofs, rejected;
} totals;

/* Sums over the functions of a module with a hand-written version. */
static void count_hand(const char *csv, const char *module, const char *before, const char *after,
                       totals *t) {
    size_t n = strlen(module);
    for (; csv && *csv; csv += strcspn(csv, "\n"), csv += *csv != 0) {
        char function[100];
        int classical, hand;
        if (strncmp(csv, module, n) || csv[n] != ',') continue;
        if (sscanf(csv + n + 1, "%99[^,],%d,%d", function, &classical, &hand) != 3) continue;
        if (function_size(before, function) < 0 || function_size(after, function) < 0) continue;
        t->hand_before += (double)function_size(before, function);
        t->hand_after += (double)function_size(after, function);
        t->hand += hand;
    }
}

static int by_name(const void *a, const void *b) {
    return strcmp(*(char *const *)a, *(char *const *)b);
}

static void corpus_row(const char *name, const totals *t, uint64_t cost_a, uint64_t cost_b,
                       double seconds) {
    char hand[48] = "", padded[48] = "";
    if (t->hand > 0) snprintf(hand, sizeof hand, "%.0f/%.0f", t->hand_after, t->hand);
    if (cost_a)
        snprintf(padded, sizeof padded, "%llu>%llu", (unsigned long long)cost_a,
                 (unsigned long long)cost_b);
    printf("%-42.42s %6.0f %6.0f %6.3f %6.0f %6.2f %11s %4u/%3u/%3u %6u %10s %6.2f\n", name,
           t->before, t->after, t->before > 0 ? t->after / t->before : 1.0, t->bound,
           t->bound > 0 ? t->after / t->bound : 1.0, hand, t->improved, t->slack, t->blocks,
           t->proofs, padded, seconds);
}

static void add_totals(totals *sum, const totals *t) {
    sum->before += t->before;
    sum->after += t->after;
    sum->bound += t->bound;
    sum->hand_before += t->hand_before;
    sum->hand_after += t->hand_after;
    sum->hand += t->hand;
    sum->blocks += t->blocks;
    sum->slack += t->slack;
    sum->improved += t->improved;
    sum->proofs += t->proofs;
    sum->rejected += t->rejected;
}

/* A whole program before and after; null where there is none. */
typedef struct pair {
    char *before, *after;
} pair;

static int corpus_file(job *j, const char *path, const char *name, const char *csv, totals *sum,
                       pair *kept) {
    char *classical, *better, module[160];
    nc_tir_report r;
    nc_error err = {0};
    totals t = {0};
    double start = now();
    nc_status status = convert(j, path, &classical, &better, &r, &err);
    if (status != NC_OK) {
        nc_tir_free_text(classical);
        return fail(path, status, &err);
    }
    snprintf(module, sizeof module, "%.*s", (int)strcspn(name, "."), name);
    t.before = r.instructions_before;
    t.after = r.instructions_after;
    t.bound = r.bound;
    t.blocks = r.blocks;
    t.slack = r.slack;
    t.improved = r.improved;
    t.proofs = r.proofs;
    t.rejected = r.rejected;
    if (!j->options.whole) count_hand(csv, module, classical, better, &t);
    corpus_row(module, &t, nc_tir_padded(nc_tir_tallest(&r.before, NULL)),
               nc_tir_padded(nc_tir_tallest(&r.after, NULL)), now() - start);
    add_totals(sum, &t);
    kept->before = classical;
    kept->after = better;
    return 0;
}

/* A whole program with sample inputs of its own: as given, with the fewest instructions, traded. */
static int traded_row_of(const job *j, const pair *program, const char *name) {
    nc_tir_options options = j->options;
    nc_tir_report r;
    nc_error err = {0};
    const char *tall[3];
    uint64_t rows[3];
    char *better;
    nc_status status;
    options.whole = 1;
    options.samples = all_samples.input;
    options.sample_count = all_samples.count;
    status = nc_tir_optimize_tasm(program->before, &options, &better, &r, &err);
    if (status != NC_OK) return fail(name, status, &err);
    nc_tir_free_text(better);
    rows[0] = nc_tir_tallest_table(&r.cliff.before, &tall[0]);
    rows[1] = nc_tir_tallest_table(&r.cliff.fewest, &tall[1]);
    rows[2] = nc_tir_tallest_table(&r.cliff.after, &tall[2]);
    printf("%-42.*s %7llu>%6llu>%-6llu %7llu>%6llu>%-6llu %10s>%-10s %s\n", (int)strcspn(name, "."),
           name, (unsigned long long)r.cliff.before.processor,
           (unsigned long long)r.cliff.fewest.processor,
           (unsigned long long)r.cliff.after.processor, (unsigned long long)nc_tir_padded(rows[0]),
           (unsigned long long)nc_tir_padded(rows[1]), (unsigned long long)nc_tir_padded(rows[2]),
           tall[0], tall[2], nc_tir_stop_str(r.cliff.stop));
    return 0;
}

/* A whole program without them before and after, on inputs 0, 1, 2, 0, 1, 2, ...: compared up to
 * where it crashes. */
static int machine_row_of(const pair *program, const char *name) {
    static nc_gl values[4096];
    nc_tir_input input = {0};
    nc_tir_execution x[2];
    nc_error err = {0};
    const char *tasm[2];
    size_t i;
    int k;
    nc_status status = NC_OK;
    tasm[0] = program->before;
    tasm[1] = program->after;
    for (i = 0; i < 4096; i++) values[i] = i % 3;
    input.public_input = input.secret_input = input.secret_digests = values;
    input.public_count = input.secret_count = 4096;
    input.digest_count = 800;
    for (k = 0; k < 2 && status == NC_OK; k++)
        status = nc_tir_execute(tasm[k], &input, &x[k], &err);
    if (status == NC_OK) {
        const char *tall[2];
        for (k = 0; k < 2; k++) (void)nc_tir_tallest_run(&x[k], &tall[k]);
        printf("%-42.*s %7llu>%6llu        %7llu>%6llu        %10s>%-10s %s\n",
               (int)strcspn(name, "."), name, (unsigned long long)x[0].processor,
               (unsigned long long)x[1].processor, (unsigned long long)x[0].padded_height,
               (unsigned long long)x[1].padded_height, tall[0], tall[1],
               nc_tir_outcome_str(x[1].outcome));
        nc_tir_free_output(&x[0]);
        nc_tir_free_output(&x[1]);
    }
    return status == NC_OK ? 0 : fail(name, status, &err);
}

/* A row of the last table: a whole program, or a module that has a main program. */
static int whole_row(const job *j, const pair *program, const char *name) {
    const char *inputs = j->inputs ? j->inputs : j->corpus;
    const int linked = has_suffix(name, ".linked.tasm"), n = (int)strcspn(name, ".");
    char path[2048], *start = NULL;
    pair whole = *program;
    nc_error err = {0};
    size_t bytes;
    int failed;
    if (!linked && !has_suffix(name, ".tir")) return 0;
    snprintf(path, sizeof path, "%s/%.*s.main.tasm", inputs, n, name);
    if (!linked) {
        if (access(path, R_OK)) return 0;
        if (nc_file_read(path, &start, &bytes, &err) != NC_OK) return fail(path, NC_ERR_IO, &err);
        whole.before = malloc(bytes + strlen(program->before) + 1);
        if (!whole.before) return nc_file_free(start), fail(path, NC_ERR_MEMORY, &err);
        strcpy(whole.before, start);
        strcat(whole.before, program->before);
        nc_file_free(start);
    }
    snprintf(path, sizeof path, "%s/%.*s.inputs", inputs, n, name);
    failed = access(path, R_OK)                      ? machine_row_of(&whole, name)
             : load_samples(path, j->options.target) ? 1
                                                     : traded_row_of(j, &whole, name);
    if (!linked) free(whole.before);
    return failed;
}

static int corpus(job *j) {
    static pair programs[512];
    char *names[512], path[2048], *csv = NULL;
    size_t count = 0, i, n;
    struct dirent *entry;
    int linked, failed = 0;
    DIR *dir = opendir(j->corpus);
    if (!dir) return cli_fail(CLI_ERROR, "cannot open '%s': %s", j->corpus, strerror(errno));
    while (!failed && (entry = readdir(dir)) != NULL) {
        if (has_suffix(entry->d_name, ".raw.tir") ||
            (!has_suffix(entry->d_name, ".tir") && !has_suffix(entry->d_name, ".linked.tasm")))
            continue;
        if (count == 512)
            failed = cli_fail(CLI_ERROR, "more than 512 modules in '%s'", j->corpus);
        else if ((names[count] = malloc(strlen(entry->d_name) + 1)) == NULL)
            failed = cli_fail(CLI_ERROR, "out of memory");
        else
            strcpy(names[count++], entry->d_name);
    }
    closedir(dir);
    if (!failed && count == 0)
        failed = cli_fail(CLI_ERROR, "no *.tir and no *.linked.tasm in '%s'", j->corpus);
    qsort(names, count, sizeof *names, by_name);
    snprintf(path, sizeof path, "%s/instruction_counts.csv", j->corpus);
    (void)nc_file_read(path, &csv, &n, NULL);
    for (linked = 0; linked < 2 && !failed; linked++) {
        totals sum = {0};
        double start = now();
        printf("%s%-42s %6s %6s %6s %6s %6s %11s %12s %6s %10s %6s\n", linked ? "\n" : "",
               linked ? "whole program" : "module", "before", "after", "ratio", "bound", "/bound",
               "ours/hand", "impr/slk/blk", "proofs", "padded", "s");
        j->options.whole = (uint32_t)linked;
        for (i = 0; i < count && !failed; i++) {
            if (!has_suffix(names[i], linked ? ".linked.tasm" : ".tir")) continue;
            snprintf(path, sizeof path, "%s/%s", j->corpus, names[i]);
            failed = corpus_file(j, path, names[i], csv, &sum, &programs[i]);
        }
        corpus_row("total", &sum, 0, 0, now() - start);
        if (sum.hand > 0)
            printf("functions with a hand-written version: classical %.0f, optimised %.0f, hand "
                   "%.0f: %.2f of hand\n",
                   sum.hand_before, sum.hand_after, sum.hand, sum.hand_after / sum.hand);
        printf("%u of %u blocks with slack improved", sum.improved, sum.slack);
        if (sum.slack) printf(" (%.0f %%)", 100.0 * sum.improved / sum.slack);
        printf(", every replacement proven, %u candidates rejected\n", sum.rejected);
    }
    if (!failed)
        printf("\n%-42s %22s %22s %21s %s\n", "real machine, given > fewest > traded",
               "processor rows", "padded height", "tallest table", "trading or crash");
    for (i = 0; i < count && !failed; i++) failed = whole_row(j, &programs[i], names[i]);
    for (i = 0; i < count; i++) {
        nc_tir_free_text(programs[i].before);
        nc_tir_free_text(programs[i].after);
        free(names[i]);
    }
    nc_file_free(csv);
    return failed;
}

int main(int argc, char **argv) {
    job j = {0};
    nc_tir_model *model = NULL;
    int i, failed;
    cli_product = 1;
    argc = cli_begin(argc, argv, "tir_opt", usage);
    for (i = 1; i < argc; i++) {
        const char *next = i + 1 < argc ? argv[i + 1] : "";
        if (!strcmp(argv[i], "--json"))
            j.json = 1;
        else if (!strcmp(argv[i], "--lower-only"))
            j.lower_only = 1;
        else if (!strcmp(argv[i], "--raw"))
            j.raw = 1;
        else if (!strcmp(argv[i], "--raw-exact"))
            j.raw = 2;
        else if (!strcmp(argv[i], "--whole"))
            j.options.whole = 1;
        else if (!strcmp(argv[i], "--blocks"))
            j.options.on_block = print_block;
        else if (!strcmp(argv[i], "--target") && find_target(next, &j.options.target))
            i++;
        else if (!strcmp(argv[i], "--report") && (!strcmp(next, "json") || !strcmp(next, "table")))
            j.json = !strcmp(argv[++i], "json");
        else if (!strcmp(argv[i], "--beam"))
            j.options.beam = (uint32_t)cli_number(argv[i], argv[i + 1], 1, 65536), i++;
        else if (!strcmp(argv[i], "--weights") && *next)
            j.weights = argv[++i];
        else if (!strcmp(argv[i], "--train"))
            j.train = (int)cli_number(argv[i], argv[i + 1], 1, 1000000000), i++;
        else if (!strcmp(argv[i], "--profile") && *next)
            j.profile = argv[++i];
        else if (!strcmp(argv[i], "--aim") && find_aim(next, &j.options.aim))
            i++;
        else if (!strcmp(argv[i], "--effort"))
            j.options.effort = (uint32_t)cli_number(argv[i], argv[i + 1], 1, 1000000000), i++;
        else if (!strcmp(argv[i], "--inputs") && *next)
            j.inputs = argv[++i];
        else if (!strcmp(argv[i], "--corpus") && *next)
            j.corpus = argv[++i];
        else if (!strcmp(argv[i], "-o") && *next)
            j.out = argv[++i];
        else if (argv[i][0] != '-' && !j.in)
            j.in = argv[i];
        else
            return fprintf(stderr, "tir_opt: bad argument '%s'\n%s", argv[i], usage), 2;
    }
    if (!j.in == !j.corpus) return fputs(usage, stderr), 2;
    if (j.out && !cli_can_write(j.out)) return CLI_ERROR;
    if (j.train && j.weights && !can_evolve(j.weights)) return CLI_ERROR;
    if (j.profile && load_samples(j.profile, j.options.target)) return 1;
    if (j.profile && j.in) {
        j.options.samples = all_samples.input;
        j.options.sample_count = all_samples.count;
    }
    j.options.on_block_user = j.out ? stdout : stderr;
    if (j.weights && !j.train) {
        nc_error err = {0};
        nc_status status = nc_tir_model_load(&model, j.weights, &err);
        if (status != NC_OK) return fail(j.weights, status, &err);
        j.options.model = model;
    }
    failed = j.corpus ? corpus(&j) : one_file(&j);
    nc_tir_model_destroy(model);
    return failed;
}
