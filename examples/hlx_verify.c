/* hlx_verify: training that others can check, by replaying parts of it that the one who trained
   could not choose. The same start, data and settings give the same bits on every machine, so
   that a replay on any device decides.
   cc -O2 -fopenmp hlx_verify.c -lm -o hlx_verify

   The protocol. Who trains states what is trained: configuration, optimiser, order of the
   windows, start, data and tokenizer (the last two by their Merkle roots). Every N steps a
   checkpoint is kept, and a commitment to it is written into a log: the Merkle root over its
   chunks of 1,024 bytes, as gl_merkle prints it, and the run's digest, which hashes the statement
   and all commitments so far. The last of them is published. A verifier with the log, the data
   and, of the intervals that are drawn, the checkpoints on both sides
     1. computes all digests of the log again, and that every position in the data is what its
        step says;
     2. makes the start from the seed, where it says so, and compares its root with the first one;
     3. draws k of the n intervals from a transcript (Fiat-Shamir) over the statement, all roots
        and the verifier's --nonce;
     4. compares the drawn checkpoints with their roots and with the statement, replays each
        interval, and compares every bit of parameters, moments, step, optimiser and position with
        its end.

   What that shows. Where m of n intervals are not what the statement gives, k draws find one of
   them with probability 1 - C(n-m, k) / C(n, k): k / n for one, 1 for k = n. So one interval
   drawn of n finds a single false one with probability 1 / n.
     - Other data, another order, other learning rates, edited parameters or moments: each makes
       the interval false in which it happened, whatever came after. A trained start sold as a
       fresh one and a wrong position are found without luck, and that a model is the last one by
       its root.
     - Without a nonce the draw depends on the prover's numbers alone, who can change the last bit
       of something false until it falls well: a draw that misses one interval takes n / (n - k)
       tries. Take a nonce that nobody knew when the run's digest was published, or draw all.
     - Whoever holds the log can give another one: compare its digest with the published one.
   What it does not show: that the data is good, lawful or free of traps; that the settings were
   chosen without looking at results; that no other run was made; with `start checkpoint`, how
   that came to be. Nor does it hide anything: the verifier sees data and checkpoints. It rests on
   Poseidon2's collision resistance (about 128 bits), and on both sides using one version of this
   library. Bytes 256 .. 511 of a checkpoint, where a trainer may note what does not act on
   training, are committed to, not replayed. */
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#define NC_GPU /* drivers are looked for at run time, when --device asks for one */
#define NC_IMPLEMENTATION
#include "../nc_hlx.h"
#include "../nc_goldilocks.h"
#include "cli.h"

static const char usage[] =
    "usage: hlx_verify train --data FILE --out DIR [options]\n"
    "         train; every --every steps keep DIR/step-N.bin, and commit to it in DIR/commitments\n"
    "       hlx_verify commit CHECKPOINT.. --data FILE\n"
    "         commit to checkpoints that hlx_train made, in the order of their steps: the log is\n"
    "         commitments in their folder. With --seed N also to the start, as step-0.bin\n"
    "       hlx_verify check LOG --data FILE [options]\n"
    "         draw intervals between commitments, replay them, and compare\n"
    "       hlx_verify A.bin B.bin --data FILE [options]\n"
    "         replay from one checkpoint to another, and compare\n"
    "data (as hlx_train: its first nine tenths)\n"
    "  --tokenizer FILE  byte pairs of the text    --token-bytes N  FILE holds tokens of 2 or 4\n"
    "train\n"
    "  --preset NAME     demo (default), tiny, small, medium     --batch N  windows a step, 8\n"
    "  --steps N         100    --every N  20    --seed N  1     --lr X     as hlx_train, 1e-3\n"
    "check\n"
    "  --draws N         intervals to replay, 2    --nonce TEXT  of the verifier, for the draw\n"
    "  --device cpu|vulkan|cuda                    --json\n"
    "The source says what a confirmation means. Returns 0 when all is confirmed, 1 when a file\n"
    "cannot be read or another error keeps from it, 2 on bad usage, 3 when it is refused.\n";

enum { CHUNK = 1024, LINE = 1024, MAX_COMMITMENTS = 1 << 20, NOTES = 256 };

typedef struct options {
    const char *data, *tokenizer, *device, *out, *preset, *nonce;
    unsigned token_bytes;
    long batch, steps, every, seed, draws;
    double lr;
    int json;
} options;

/* A refusal, with what it is for. */
typedef struct verdict {
    char reason[LINE];
    int error; /* nothing was found wrong: something could not be read, or done */
} verdict;

static int refuse(verdict *v, const char *format, ...) {
    va_list args;
    va_start(args, format);
    vsnprintf(v->reason, sizeof v->reason, format, args);
    va_end(args);
    return 0;
}

/* An error of the library as a refusal. */
static int failed(verdict *v, nc_status status, const nc_error *err) {
    v->error = 1;
    return refuse(v, "%s", err && err->message[0] ? err->message : nc_status_str(status));
}

/* A file that the system refuses. */
static int no_file(verdict *v, const char *what, const char *folder, const char *name) {
    v->error = 1;
    return refuse(v, "cannot %s '%.700s%.200s': %s", what, folder, name,
                  cli_reason("the device refused it"));
}

/* ---- digests --------------------------------------------------------------------------------- */

/* Root of the Merkle tree over chunks of 1,024 bytes: what gl_merkle prints for the file. */
static int merkle_root(const uint8_t *data, size_t bytes, nc_gl root[4]) {
    const size_t chunks = (bytes + CHUNK - 1) / CHUNK;
    size_t leaves = 1;
    long long i;
    nc_gl *nodes;
    while (leaves < chunks) leaves *= 2;
    nodes = calloc(2 * leaves * 4, sizeof *nodes);
    if (!nodes) return 0;
#ifdef _OPENMP
#pragma omp parallel for
#endif
    for (i = 0; i < (long long)chunks; i++) {
        const size_t at = (size_t)i * CHUNK, n = bytes - at < CHUNK ? bytes - at : CHUNK;
        nc_gl element[CHUNK / 7 + 2];
        element[0] = (nc_gl)n << 1;
        (void)nc_gl_hash_fields(NC_GL_POSEIDON2, element,
                                1 + nc_gl_pack_bytes(element + 1, data + at, n),
                                nodes + (leaves + (size_t)i) * 4);
    }
    (void)nc_gl_merkle_build(NC_GL_POSEIDON2, nodes, leaves);
    memcpy(root, nodes + 4, 4 * sizeof *root);
    free(nodes);
    return 1;
}

static int file_root(const char *path, nc_gl root[4], unsigned long long *bytes, verdict *v) {
    nc_hlx_file file = {0};
    nc_error err;
    const nc_status status = nc_hlx_file_open(&file, path, &err);
    int ok;
    if (status != NC_OK) return failed(v, status, &err);
    ok = merkle_root(file.data, file.bytes, root) || failed(v, NC_ERR_MEMORY, NULL);
    if (bytes) *bytes = file.bytes;
    nc_hlx_file_close(&file);
    return ok;
}

/* "a b c d" */
static const char *root_text(const nc_gl root[4], char text[96]) {
    snprintf(text, 96, "%llu %llu %llu %llu", (unsigned long long)root[0],
             (unsigned long long)root[1], (unsigned long long)root[2], (unsigned long long)root[3]);
    return text;
}

static int same_root(const nc_gl a[4], const nc_gl b[4]) { return !memcmp(a, b, 4 * sizeof *a); }

/* ---- the statement: what is trained ---------------------------------------------------------- */

/* What training reads, by the roots of its files. */
typedef struct material {
    nc_gl data[4], tokenizer[4];
    unsigned long long bytes;
} material;

static int read_material(const options *o, material *m, verdict *v) {
    return file_root(o->data, m->data, &m->bytes, v) &&
           (!o->tokenizer || file_root(o->tokenizer, m->tokenizer, NULL, v));
}

/* The words of a struct of 4-byte members. */
static size_t words_text(char *text, size_t room, const void *of, size_t bytes) {
    size_t i, n = 0;
    for (i = 0; i < bytes / 4; i++) {
        uint32_t word;
        memcpy(&word, (const char *)of + 4 * i, 4);
        n += (size_t)snprintf(text + n, room - n, " %08lx", (unsigned long)word);
    }
    return n;
}

enum { STATEMENT = 6 }; /* lines */

/* The lines of a statement, with the words of nc_hlx_config in the first. */
typedef struct statement {
    char line[STATEMENT][LINE];
} statement;

/* `start` is the line that says where training starts. */
static void make_statement(statement *s, const nc_hlx_config *c, const nc_hlx_adamw *a,
                           const nc_hlx_loader *windows, const char *start, const options *o,
                           const material *m) {
    char root[96];
    memset(s, 0, sizeof *s);
    snprintf(s->line[0], LINE, "config");
    (void)words_text(s->line[0] + 6, LINE - 6, c, sizeof *c);
    snprintf(s->line[1], LINE,
             "optimiser lr %.9g lr_min %.9g beta1 %.9g beta2 %.9g eps %.9g weight_decay %.9g "
             "clip_norm %.9g warmup %lu decay %lu",
             (double)a->lr, (double)a->lr_min, (double)a->beta1, (double)a->beta2, (double)a->eps,
             (double)a->weight_decay, (double)a->clip_norm, (unsigned long)a->warmup_steps,
             (unsigned long)a->decay_steps);
    snprintf(s->line[2], LINE, "windows seq %lu seed %llu", (unsigned long)windows->seq,
             (unsigned long long)windows->seed);
    snprintf(s->line[3], LINE, "%s", start);
    snprintf(s->line[4], LINE, "data bytes %llu token_bytes %u root %s", m->bytes, o->token_bytes,
             root_text(m->data, root));
    snprintf(s->line[5], LINE, "tokenizer %s%s", o->tokenizer ? "root " : "none",
             o->tokenizer ? root_text(m->tokenizer, root) : "");
}

/* Poseidon2 of the lines. */
static int statement_digest(const statement *s, nc_gl digest[4], verdict *v) {
    nc_gl_transcript t;
    size_t i;
    nc_status status = nc_gl_transcript_init(&t, NC_GL_POSEIDON2, "hlx_verify statement", 20);
    for (i = 0; i < STATEMENT && status == NC_OK; i++)
        status = nc_gl_transcript_absorb_bytes(&t, s->line[i], strlen(s->line[i]));
    if (status == NC_OK) status = nc_gl_transcript_challenge(&t, digest, 4);
    return status == NC_OK || failed(v, status, NULL);
}

/* Whether a statement is the other, and where not. */
static int same_statement(const statement *said, const statement *found, const char *who,
                          verdict *v) {
    size_t i;
    for (i = 0; i < STATEMENT; i++)
        if (strcmp(said->line[i], found->line[i]))
            return refuse(v, "the statement says '%.300s', but %.200s: '%.300s'", said->line[i],
                          who, found->line[i]);
    return 1;
}

/* ---- commitments ----------------------------------------------------------------------------- */

typedef struct commitment {
    unsigned long long step, position;
    nc_gl root[4];
    nc_gl run[4]; /* digest of the statement and all commitments up to this one */
    char file[256];
} commitment;

typedef struct run_log {
    char folder[LINE]; /* "" or with a slash at its end */
    statement says;
    nc_gl digest[4]; /* of the statement */
    commitment *list;
    size_t count;
} run_log;

/* The digest of a run with one commitment more. */
static void join(const nc_gl before[4], commitment *c) {
    nc_gl in[10];
    memcpy(in, before, 4 * sizeof *in);
    in[4] = nc_gl_from_u64(c->step);
    in[5] = nc_gl_from_u64(c->position);
    memcpy(in + 6, c->root, 4 * sizeof *in);
    (void)nc_gl_hash_fields(NC_GL_POSEIDON2, in, 10, c->run);
}

static void folder_of(const char *path, char folder[LINE]) {
    const char *slash = strrchr(path, '/');
    snprintf(folder, LINE, "%.*s", slash ? (int)(slash - path) + 1 : 0, path);
}

static int write_head(FILE *file, const run_log *log, verdict *v) {
    char text[96];
    size_t i;
    if (!file) return no_file(v, "write", log->folder, "commitments");
    fprintf(file, "hlx_verify commitments 1\n");
    for (i = 0; i < STATEMENT; i++) fprintf(file, "%s\n", log->says.line[i]);
    fprintf(file, "statement %s\n", root_text(log->digest, text));
    return 1;
}

/* A line of the log for a checkpoint, which continues the one before. */
static int commit(FILE *file, run_log *log, unsigned long long step, unsigned long long position,
                  const char *name, verdict *v) {
    char path[2 * LINE], text[96];
    commitment c, *last = log->count ? &log->list[log->count - 1] : NULL, *larger;
    memset(&c, 0, sizeof c);
    c.step = step;
    c.position = position;
    snprintf(c.file, sizeof c.file, "%s", name);
    snprintf(path, sizeof path, "%s%s", log->folder, name);
    if (!file_root(path, c.root, NULL, v)) return 0;
    join(last ? last->run : log->digest, &c);
    larger = realloc(log->list, (log->count + 1) * sizeof *larger);
    if (!larger) return failed(v, NC_ERR_MEMORY, NULL);
    log->list = larger;
    log->list[log->count++] = c;
    fprintf(file, "commit step %llu position %llu root %s", step, position,
            root_text(c.root, text));
    fprintf(file, " run %s file %s\n", root_text(c.run, text), c.file);
    return fflush(file) == 0 || no_file(v, "write", log->folder, "commitments");
}

static int read_digest(const char *text, nc_gl out[4]) {
    char word[4][32];
    int i;
    if (sscanf(text, "%31s %31s %31s %31s", word[0], word[1], word[2], word[3]) != 4) return 0;
    for (i = 0; i < 4; i++)
        if (nc_gl_parse(word[i], strlen(word[i]), &out[i], NULL) != NC_OK) return 0;
    return 1;
}

/* "commit step S position P root a b c d run e f g h file NAME" */
static int read_commitment(const char *line, commitment *c) {
    const char *root = strstr(line, " root "), *run = strstr(line, " run ");
    int used = 0;
    memset(c, 0, sizeof *c);
    return root && run && root < run &&
           sscanf(line, "commit step %llu position %llu root%n", &c->step, &c->position, &used) ==
               2 &&
           used > 0 && read_digest(root + 6, c->root) && read_digest(run + 5, c->run) &&
           sscanf(run + 5, "%*s %*s %*s %*s file %255s", c->file) == 1 && !strchr(c->file, '/');
}

/* What a line of the log adds to it. */
static int take_line(run_log *log, size_t number, const char *line, verdict *v) {
    const commitment *last = log->count ? &log->list[log->count - 1] : NULL;
    commitment c, check, *larger;
    nc_gl digest[4];
    if (number == 0) v->error = strcmp(line, "hlx_verify commitments 1") != 0;
    if (number == 0)
        return !v->error || refuse(v, "line 1: no log of hlx_verify, or one of another version");
    if (number <= STATEMENT) {
        snprintf(log->says.line[number - 1], LINE, "%s", line);
        return 1;
    }
    if (number == STATEMENT + 1)
        return statement_digest(&log->says, log->digest, v) &&
               ((!strncmp(line, "statement ", 10) && read_digest(line + 10, digest) &&
                 same_root(digest, log->digest)) ||
                refuse(v, "line %zu: the digest is not that of the statement above", number + 1));
    if (!read_commitment(line, &c) || log->count >= MAX_COMMITMENTS)
        return refuse(v, "line %zu: no commitment", number + 1);
    check = c;
    join(last ? last->run : log->digest, &check);
    if (!same_root(check.run, c.run))
        return refuse(v, "line %zu: the run's digest does not continue from the line before",
                      number + 1);
    if (last && c.step <= last->step)
        return refuse(v, "line %zu: step %llu after step %llu", number + 1, c.step, last->step);
    larger = realloc(log->list, (log->count + 1) * sizeof *larger);
    if (!larger) return failed(v, NC_ERR_MEMORY, NULL);
    log->list = larger;
    log->list[log->count++] = c;
    return 1;
}

/* The configuration that a statement gives in words. */
static int stated_config(const statement *s, nc_hlx_config *config, verdict *v) {
    const char *at = s->line[0] + 6;
    size_t i;
    if (strlen(s->line[0]) != 6 + 9 * (sizeof *config / 4))
        return refuse(v, "line 2: a configuration of another version");
    for (i = 0; i < sizeof *config / 4; i++, at += 9) {
        const uint32_t word = (uint32_t)strtoul(at, NULL, 16);
        memcpy((char *)config + 4 * i, &word, 4);
    }
    return 1;
}

static uint64_t windows_per_step(const nc_hlx_config *c) {
    return (uint64_t)c->batch_size * c->micro_batches;
}

/* Whether every position in the data follows from its step. */
static int check_positions(const run_log *log, verdict *v) {
    const commitment *c = log->list;
    nc_hlx_config config;
    size_t i;
    if (!stated_config(&log->says, &config, v)) return 0;
    for (i = 0; i < log->count; i++)
        if (c[i].position - c[0].position != (c[i].step - c[0].step) * windows_per_step(&config))
            return refuse(v,
                          "line %zu: step %llu is at window %llu of the data, which does not "
                          "follow from step %llu at %llu",
                          i + STATEMENT + 3, c[i].step, c[i].position, c[0].step, c[0].position);
    return 1;
}

/* Read a log and compute its digests again. */
static int read_log(const char *path, run_log *log, verdict *v) {
    FILE *file = fopen(path, "r");
    char line[LINE];
    size_t number = 0;
    int ok = file != NULL || no_file(v, "open", "", path);
    folder_of(path, log->folder);
    for (; ok && fgets(line, sizeof line, file); number++) {
        char *end = strchr(line, '\n');
        if (!end)
            ok = refuse(v, "line %zu: cut off, or too long", number + 1);
        else
            *end = 0;
        ok = ok && take_line(log, number, line, v);
    }
    if (file) fclose(file);
    if (ok && log->count < 2)
        return refuse(v, "'%.900s' has %zu commitments: there is no interval to replay", path,
                      log->count);
    return ok && check_positions(log, v);
}

/* ---- checkpoints ----------------------------------------------------------------------------- */

typedef struct state {
    nc_hlx_model *model;
    nc_hlx_loader loader;
} state;

static int load(const char *path, state *s, verdict *v) {
    nc_error err;
    nc_status status;
    memset(s, 0, sizeof *s);
    status = nc_hlx_load(&s->model, &s->loader, path, 0, NULL, &err);
    v->error = status != NC_OK;
    return status == NC_OK || refuse(v, "'%.400s': %s", path, err.message);
}

/* Whether a checkpoint belongs to a statement whose start is given. */
static int fits_statement(const state *s, const run_log *log, const options *o, const material *m,
                          verdict *v) {
    statement found;
    char who[64];
    snprintf(who, sizeof who, "step %llu and the data here give",
             (unsigned long long)nc_hlx_step(s->model));
    make_statement(&found, nc_hlx_get_config(s->model), nc_hlx_get_adamw(s->model), &s->loader,
                   log->says.line[3], o, m);
    return same_statement(&log->says, &found, who, v);
}

/* Train to the step with these settings. */
static nc_status replay(state *s, uint64_t step, const nc_hlx_adamw *adamw, const char *device_name,
                        nc_error *err) {
    const uint64_t from = nc_hlx_step(s->model);
    nc_hlx_gpu *gpu = NULL;
    nc_gpu *device = NULL;
    nc_status status = NC_OK;
    if (strcmp(device_name, "cpu")) {
        nc_gpu_desc desc = {0};
        desc.kind = !strcmp(device_name, "cuda") ? NC_GPU_CUDA : NC_GPU_VULKAN;
        desc.kernel_path = getenv("NC_KERNEL_PATH");
        desc.library = getenv("NC_GPU_LIBRARY");
        status = nc_gpu_open(&device, &desc, err);
        if (status == NC_OK) status = nc_hlx_gpu_create(&gpu, device, s->model, adamw);
    }
    while (status == NC_OK && nc_hlx_step(s->model) < step) {
        status = gpu ? nc_hlx_gpu_train_step(gpu, &s->loader, adamw, NULL)
                     : nc_hlx_train_step(s->model, &s->loader, adamw, NULL);
        if ((nc_hlx_step(s->model) - from) % 50 == 0) {
            if (!cli_quiet)
                fprintf(stderr, "\rreplayed to step %llu",
                        (unsigned long long)nc_hlx_step(s->model));
            fflush(stderr);
        }
    }
    if (nc_hlx_step(s->model) >= from + 50 && !cli_quiet) fprintf(stderr, "\n");
    if (status == NC_OK && gpu) status = nc_hlx_gpu_download(gpu);
    nc_hlx_gpu_destroy(gpu);
    nc_gpu_close(device);
    return status;
}

static uint32_t word_at(const uint8_t *b) {
    return (uint32_t)b[0] | (uint32_t)b[1] << 8 | (uint32_t)b[2] << 16 | (uint32_t)b[3] << 24;
}

static double float_at(const uint8_t *b) {
    const uint32_t word = word_at(b);
    float x;
    memcpy(&x, &word, sizeof x);
    return (double)x;
}

/* Whether two checkpoints hold the same training; v says what differs first. */
static int same_training(const nc_hlx_file *b, const nc_hlx_file *c, verdict *v) {
    static const char *const parts[] = {"parameter", "first moment", "second moment"};
    const size_t from_b = word_at(b->data + 12), from_c = word_at(c->data + 12);
    const size_t n = (c->bytes - from_c - 8) / 4, most = from_b < from_c ? from_b : from_c;
    size_t i, first = 0, differing = 0;
    if (b->bytes - from_b != c->bytes - from_c) return refuse(v, "its size is another");
    for (i = 16; i < most && i < NOTES; i += 4)
        if (word_at(b->data + i) != word_at(c->data + i))
            return refuse(v, "its header has %08lx at byte %zu, the replay %08lx",
                          (unsigned long)word_at(b->data + i), i,
                          (unsigned long)word_at(c->data + i));
    for (i = 0; i < n; i++)
        if (word_at(b->data + from_b + 4 * i) != word_at(c->data + from_c + 4 * i) && !differing++)
            first = i;
    if (!differing) return 1;
    return refuse(v, "%zu of %zu values differ, the first is %s %zu: %.9g, replayed %.9g",
                  differing, n, parts[first / (n / 3)], first % (n / 3),
                  float_at(b->data + from_b + 4 * first), float_at(c->data + from_c + 4 * first));
}

/* Whether training from a, which is used up, gives the checkpoint b at path_b. */
static int replays(state *a, const state *b, const char *path_b, const options *o, verdict *v) {
    const nc_hlx_adamw adamw = *nc_hlx_get_adamw(b->model);
    nc_hlx_file file_b = {0}, file_c = {0};
    nc_hlx_data data = {0};
    nc_hlx_bpe *bpe = NULL;
    nc_error err = {NC_OK, 0, 0, ""};
    nc_status status = NC_OK;
    char path[2 * LINE + 16];
    int same = 0;
    snprintf(path, sizeof path, "%s.replayed", path_b);
    if (o->tokenizer) status = nc_hlx_bpe_load(&bpe, o->tokenizer, NULL, &err);
    if (status == NC_OK)
        status = nc_hlx_data_open(&data, o->data, o->token_bytes, bpe, a->loader.seq,
                                  a->loader.seed, &err);
    if (status == NC_OK) {
        data.train.next = a->loader.next;
        a->loader = data.train;
        status = replay(a, nc_hlx_step(b->model), &adamw, o->device, &err);
    }
    if (status == NC_OK) status = nc_hlx_save(a->model, &a->loader, path, &err);
    if (status == NC_OK) status = nc_hlx_file_open(&file_b, path_b, &err);
    if (status == NC_OK) status = nc_hlx_file_open(&file_c, path, &err);
    same = status == NC_OK ? same_training(&file_b, &file_c, v) : failed(v, status, &err);
    nc_hlx_file_close(&file_b);
    nc_hlx_file_close(&file_c);
    nc_hlx_data_close(&data);
    nc_hlx_bpe_destroy(bpe);
    (void)remove(path);
    return same;
}

static void release(state *s) { nc_hlx_destroy(s->model); }

/* The start that a seed gives. */
static int make_start(state *s, const nc_hlx_config *config, uint64_t seed, uint32_t seq,
                      uint64_t data_seed, verdict *v) {
    const nc_status status = nc_hlx_create(&s->model, config, NULL);
    if (status != NC_OK) return failed(v, status, NULL);
    nc_hlx_init_weights(s->model, seed);
    s->loader.seq = seq;
    s->loader.seed = data_seed;
    return 1;
}

/* ---- hlx_verify A B -------------------------------------------------------------------------- */

static void print_root(const char *name, uint64_t step, const nc_gl root[4], int json) {
    char text[96];
    if (json)
        printf("\"%s\": {\"step\": %llu, \"root\": \"%s\"}, ", name, (unsigned long long)step,
               root_text(root, text));
    else
        printf("%-9s step %6llu  root %s\n", name, (unsigned long long)step, root_text(root, text));
}

/* The last line, and the exit code. */
static int conclude(int confirmed, const char *what, const verdict *v, int json) {
    size_t i;
    if (json) {
        printf("\"reason\": \"");
        for (i = 0; !confirmed && v->reason[i]; i++) {
            if (v->reason[i] == '"' || v->reason[i] == '\\') putchar('\\');
            putchar((unsigned char)v->reason[i] < 32 ? ' ' : v->reason[i]);
        }
        printf("\", \"confirmed\": %s}\n", confirmed ? "true" : "false");
    } else if (confirmed) {
        printf("confirmed: %s\n", what);
    } else {
        printf("%s: %s\n", v->error ? "ERROR" : "REFUSED", v->reason);
    }
    if (confirmed) return 0;
    return cli_fail(v->error ? CLI_ERROR : CLI_FAILED, "%s", v->reason);
}

/* What two checkpoints say of each other, before anything is replayed. */
static int leads_to(const state *a, const state *b, verdict *v) {
    const nc_hlx_config *c = nc_hlx_get_config(a->model);
    const unsigned long long from = nc_hlx_step(a->model), to = nc_hlx_step(b->model);
    if (to <= from)
        return refuse(v,
                      "the first checkpoint is at step %llu, the second at %llu: there is no step "
                      "to replay",
                      from, to);
    if (memcmp(c, nc_hlx_get_config(b->model), sizeof *c))
        return refuse(v, "the checkpoints have two configurations");
    if (from &&
        memcmp(nc_hlx_get_adamw(a->model), nc_hlx_get_adamw(b->model), sizeof(nc_hlx_adamw)))
        return refuse(v,
                      "the optimiser's settings are not those of the first checkpoint: lr %g, then "
                      "%g",
                      (double)nc_hlx_get_adamw(a->model)->lr,
                      (double)nc_hlx_get_adamw(b->model)->lr);
    if (b->loader.seed != a->loader.seed || b->loader.seq != a->loader.seq ||
        b->loader.next - a->loader.next != (to - from) * windows_per_step(c))
        return refuse(v, "the data's position does not lead from step %llu to step %llu", from, to);
    return 1;
}

static int verify_pair(const char *path_a, const char *path_b, const options *o) {
    verdict v = {"", 0};
    state a = {NULL, {0}}, b = {NULL, {0}};
    nc_gl root[4];
    int ok = load(path_a, &a, &v) && load(path_b, &b, &v) && leads_to(&a, &b, &v);
    if (o->json) printf("{");
    if (ok) {
        ok = file_root(path_a, root, NULL, &v);
        if (ok) print_root("A", nc_hlx_step(a.model), root, o->json);
        ok = ok && file_root(path_b, root, NULL, &v);
        if (ok) print_root("B", nc_hlx_step(b.model), root, o->json);
    }
    ok = ok && replays(&a, &b, path_b, o, &v);
    release(&a);
    release(&b);
    return conclude(ok, "B is what A, the data and the optimiser's settings give", &v, o->json);
}

/* ---- hlx_verify train, hlx_verify commit ----------------------------------------------------- */

static int exists(const char *path) {
    struct stat info;
    return stat(path, &info) == 0;
}

/* The log, opened for its first lines; it never replaces another. */
static FILE *open_log(const run_log *log, verdict *v) {
    char path[2 * LINE];
    FILE *file;
    snprintf(path, sizeof path, "%scommitments", log->folder);
    if (exists(path)) {
        (void)refuse(v, "'%.900s' is there already: it is never written over", path);
        return NULL;
    }
    file = fopen(path, "w");
    if (!file) (void)no_file(v, "write", "", path);
    return file;
}

static int print_run(const run_log *log) {
    char text[96];
    printf("%zu commitments in %scommitments, %zu intervals\nrun %s\n", log->count, log->folder,
           log->count - 1, root_text(log->list[log->count - 1].run, text));
    return 0;
}

/* Keep and commit to where training stands. */
static int keep(FILE *file, run_log *log, const state *s, verdict *v) {
    const unsigned long long step = nc_hlx_step(s->model);
    char name[64], path[2 * LINE];
    nc_error err;
    nc_status status;
    snprintf(name, sizeof name, "step-%llu.bin", step);
    snprintf(path, sizeof path, "%s%s", log->folder, name);
    if (exists(path)) return refuse(v, "'%.900s' is there already: it is never written over", path);
    status = nc_hlx_save(s->model, &s->loader, path, &err);
    if (status != NC_OK) return failed(v, status, &err);
    return commit(file, log, step, s->loader.next, name, v);
}

static int train_steps(FILE *file, run_log *log, state *s, const nc_hlx_adamw *adamw,
                       const options *o, verdict *v) {
    nc_hlx_stats stats = {0};
    if (!keep(file, log, s, v)) return 0;
    while (stats.step < (uint64_t)o->steps) {
        const nc_status status = nc_hlx_train_step(s->model, &s->loader, adamw, &stats);
        if (status != NC_OK) return failed(v, status, NULL);
        if (stats.step % (uint64_t)o->every && stats.step != (uint64_t)o->steps) continue;
        printf("step %5llu  loss %.4f\n", (unsigned long long)stats.step, (double)stats.loss);
        if (!keep(file, log, s, v)) return 0;
    }
    return 1;
}

/* The schedule of hlx_train. */
static nc_hlx_adamw schedule(const options *o) {
    nc_hlx_adamw a = {0};
    a.lr = (float)o->lr;
    a.lr_min = (float)(o->lr / 10);
    a.beta1 = 0.9f;
    a.beta2 = 0.99f;
    a.eps = 1e-8f;
    a.weight_decay = 0.1f;
    a.clip_norm = 1.0f;
    a.warmup_steps = (uint32_t)(o->steps < 1000 ? o->steps / 10 : 100);
    a.decay_steps = (uint32_t)o->steps;
    return a;
}

static int prepare(state *s, const options *o, const nc_hlx_bpe *bpe, nc_hlx_data *data,
                   verdict *v) {
    nc_hlx_config config;
    nc_error err;
    nc_status status = nc_hlx_preset(o->preset, &config);
    if (status != NC_OK) return refuse(v, "no preset '%.100s'", o->preset);
    config.batch_size = (uint32_t)o->batch;
    if (bpe) config.vocab_size = nc_hlx_bpe_vocab(bpe);
    status = nc_hlx_data_open(data, o->data, o->token_bytes, bpe, config.max_seq_len,
                              (uint64_t)o->seed, &err);
    if (status != NC_OK) return failed(v, status, &err);
    status = nc_hlx_create(&s->model, &config, NULL);
    if (status != NC_OK) return failed(v, status, NULL);
    nc_hlx_init_weights(s->model, (uint64_t)o->seed);
    s->loader = data->train;
    return 1;
}

static int train(const options *o) {
    const nc_hlx_adamw adamw = schedule(o);
    verdict v = {"", 0};
    state s = {NULL, {0}};
    run_log log = {0};
    material m = {0};
    nc_hlx_data data = {0};
    nc_hlx_bpe *bpe = NULL;
    nc_error err;
    nc_status status = o->tokenizer ? nc_hlx_bpe_load(&bpe, o->tokenizer, NULL, &err) : NC_OK;
    FILE *file = NULL;
    char start[64];
    int ok = status == NC_OK || failed(&v, status, &err);
    snprintf(log.folder, sizeof log.folder, "%.1000s/", o->out);
    snprintf(start, sizeof start, "start seed %ld", o->seed);
    (void)cli_folder(o->out); /* or it is there, or the log cannot be written */
    ok = ok && read_material(o, &m, &v) && prepare(&s, o, bpe, &data, &v);
    if (ok) file = open_log(&log, &v);
    if (file) {
        make_statement(&log.says, nc_hlx_get_config(s.model), &adamw, &s.loader, start, o, &m);
        ok = statement_digest(&log.says, log.digest, &v) && write_head(file, &log, &v) &&
             train_steps(file, &log, &s, &adamw, o, &v);
        fclose(file);
    }
    if (file && ok) (void)print_run(&log);
    if (!file || !ok) fprintf(stderr, "hlx_verify: %s\n", v.reason);
    release(&s);
    nc_hlx_data_close(&data);
    nc_hlx_bpe_destroy(bpe);
    free(log.list);
    return !file || !ok;
}

/* One more of the checkpoints that hlx_train kept: it must go on from the one before. */
static int commit_file(FILE *file, run_log *log, const char *path, const options *o,
                       const material *m, verdict *v) {
    const commitment *last = log->count ? &log->list[log->count - 1] : NULL;
    const char *slash = strrchr(path, '/'), *name = slash ? slash + 1 : path;
    char folder[LINE];
    state s;
    unsigned long long step, next;
    int ok;
    folder_of(path, folder);
    if (strcmp(folder, log->folder)) return refuse(v, "'%.400s' is in another folder", path);
    if (strlen(name) > 255 || strpbrk(name, " \t\n"))
        return refuse(v, "'%.400s': the log has no place for such a name", path);
    if (!load(path, &s, v)) return 0;
    step = nc_hlx_step(s.model);
    next = s.loader.next;
    ok = (step == 0 && !last) || fits_statement(&s, log, o, m, v);
    if (ok && last && step <= last->step)
        ok = refuse(v, "'%.400s' is at step %llu, after step %llu", path, step, last->step);
    if (ok && last &&
        next - last->position != (step - last->step) * windows_per_step(nc_hlx_get_config(s.model)))
        ok = refuse(v, "'%.400s': the data's position does not lead from step %llu to %llu", path,
                    last->step, step);
    release(&s);
    return ok && commit(file, log, step, next, name, v);
}

/* The statement of a run that ends with a checkpoint, which knows the optimiser as the first may
   not; and its start, if the seed is given. */
static int state_run(run_log *log, const char *path, const options *o, const material *m,
                     state *start, verdict *v) {
    char line[64] = "start checkpoint";
    state s;
    int ok;
    if (!load(path, &s, v)) return 0;
    if (o->seed >= 0) snprintf(line, sizeof line, "start seed %ld", o->seed);
    make_statement(&log->says, nc_hlx_get_config(s.model), nc_hlx_get_adamw(s.model), &s.loader,
                   line, o, m);
    ok = statement_digest(&log->says, log->digest, v) &&
         (o->seed < 0 || make_start(start, nc_hlx_get_config(s.model), (uint64_t)o->seed,
                                    s.loader.seq, s.loader.seed, v));
    release(&s);
    return ok;
}

static int commit_files(char **paths, int count, const options *o) {
    verdict v = {"", 0};
    run_log log = {0};
    material m = {0};
    state start = {NULL, {0}};
    FILE *file = NULL;
    int i, ok = read_material(o, &m, &v) && state_run(&log, paths[count - 1], o, &m, &start, &v);
    folder_of(paths[0], log.folder);
    if (ok) file = open_log(&log, &v);
    ok = file && write_head(file, &log, &v) && (!start.model || keep(file, &log, &start, &v));
    for (i = 0; i < count && ok; i++) ok = commit_file(file, &log, paths[i], o, &m, &v);
    if (file) fclose(file);
    if (file && !ok) { /* no half of a log */
        char path[2 * LINE];
        snprintf(path, sizeof path, "%scommitments", log.folder);
        (void)remove(path);
    }
    if (ok) (void)print_run(&log);
    if (!ok) fprintf(stderr, "hlx_verify: %s\n", v.reason);
    release(&start);
    free(log.list);
    return !ok;
}

/* ---- hlx_verify check ------------------------------------------------------------------------ */

/* The start that a seed gives, against the first root. */
static int check_start(const run_log *log, verdict *v) {
    const commitment *c = &log->list[0];
    unsigned long long seed, data_seed;
    unsigned long seq;
    nc_hlx_config config;
    state s = {NULL, {0}};
    nc_gl root[4];
    nc_error err;
    nc_status status;
    char path[2 * LINE];
    int ok;
    if (!strcmp(log->says.line[3], "start checkpoint")) return 1;
    if (!stated_config(&log->says, &config, v)) return 0;
    if (sscanf(log->says.line[3], "start seed %llu", &seed) != 1 ||
        sscanf(log->says.line[2], "windows seq %lu seed %llu", &seq, &data_seed) != 2)
        return refuse(v, "no start or no windows in the statement");
    snprintf(path, sizeof path, "%sstart.replayed", log->folder);
    if (!make_start(&s, &config, seed, (uint32_t)seq, data_seed, v)) return 0;
    status = nc_hlx_save(s.model, &s.loader, path, &err);
    release(&s);
    if (status != NC_OK) return failed(v, status, &err);
    ok = file_root(path, root, NULL, v);
    (void)remove(path);
    if (ok && (c->step || c->position || !same_root(root, c->root)))
        return refuse(v, "the first commitment is not the start that seed %llu gives", seed);
    return ok;
}

/* k of n intervals, in the order in which they are drawn, in front of the list. */
static int draw(const run_log *log, const options *o, size_t *list, size_t k, verdict *v) {
    const size_t n = log->count - 1;
    nc_gl_transcript t;
    size_t i;
    nc_status status = nc_gl_transcript_init(&t, NC_GL_POSEIDON2, "hlx_verify 1", 12);
    if (status == NC_OK) status = nc_gl_transcript_absorb(&t, log->digest, 4);
    for (i = 0; i < log->count && status == NC_OK; i++)
        status = nc_gl_transcript_absorb(&t, log->list[i].run, 4); /* which hash the roots */
    if (status == NC_OK) status = nc_gl_transcript_absorb_bytes(&t, o->nonce, strlen(o->nonce));
    for (i = 0; i < n; i++) list[i] = i;
    for (i = 0; i < k && status == NC_OK; i++) {
        nc_gl challenge;
        size_t at, swap;
        status = nc_gl_transcript_challenge(&t, &challenge, 1);
        at = i + (size_t)((uint64_t)challenge % (n - i)); /* n < 2^20: within 2^-44 of uniform */
        swap = list[i];
        list[i] = list[at];
        list[at] = swap;
    }
    return status == NC_OK || failed(v, status, NULL);
}

/* The checkpoint of a commitment, compared with it. */
static int open_commitment(const run_log *log, const commitment *c, char path[2 * LINE], state *s,
                           verdict *v) {
    nc_gl root[4];
    snprintf(path, 2 * LINE, "%s%s", log->folder, c->file);
    if (!file_root(path, root, NULL, v)) return 0;
    if (!same_root(root, c->root))
        return refuse(v, "'%.400s' is not what step %llu's commitment is for", path, c->step);
    if (!load(path, s, v)) return 0;
    if (nc_hlx_step(s->model) != c->step || s->loader.next != c->position)
        return refuse(v, "'%.400s' is at step %llu, position %llu; the log says %llu, %llu", path,
                      (unsigned long long)nc_hlx_step(s->model), (unsigned long long)s->loader.next,
                      c->step, c->position);
    return 1;
}

/* Replay interval i. */
static int check_interval(const run_log *log, size_t i, const options *o, const material *m,
                          verdict *v) {
    const commitment *from = &log->list[i], *to = from + 1;
    char path_a[2 * LINE], path_b[2 * LINE];
    state a = {NULL, {0}}, b = {NULL, {0}};
    verdict why = {"", 0};
    int ok = open_commitment(log, from, path_a, &a, &why) &&
             open_commitment(log, to, path_b, &b, &why) && fits_statement(&b, log, o, m, &why) &&
             leads_to(&a, &b, &why) && replays(&a, &b, path_b, o, &why);
    release(&a);
    release(&b);
    v->error = why.error;
    if (!ok)
        return refuse(v, "interval %zu (steps %llu to %llu): %.900s", i, from->step, to->step,
                      why.reason);
    if (!o->json)
        printf("interval %zu, steps %llu to %llu: the same bits\n", i, from->step, to->step);
    return 1;
}

static void print_draw(const run_log *log, const options *o, const size_t *list, size_t k) {
    const commitment *last = &log->list[log->count - 1];
    char text[96];
    size_t i;
    if (o->json)
        printf("{\"run\": \"%s\", ", root_text(last->run, text));
    else
        printf("run %s\n", root_text(last->run, text));
    print_root(o->json ? "last" : "last is", last->step, last->root, o->json);
    if (o->json)
        printf("\"intervals\": %zu, \"drawn\": [", log->count - 1);
    else
        printf("%zu intervals, %zu drawn; a single false one is found with probability %.3f\n",
               log->count - 1, k, (double)k / (double)(log->count - 1));
    for (i = 0; o->json && i < k; i++) printf("%s%zu", i ? ", " : "", list[i]);
    if (o->json) printf("], ");
}

static int check(const char *path, const options *o) {
    verdict v = {"", 0};
    run_log log = {0};
    material m = {0};
    size_t *list = NULL, n, k = 0, i;
    char what[200];
    int ok = read_log(path, &log, &v);
    if (ok) {
        n = log.count - 1;
        k = (size_t)o->draws < n ? (size_t)o->draws : n;
        list = calloc(n, sizeof *list);
        ok = list ? draw(&log, o, list, k, &v) : failed(&v, NC_ERR_MEMORY, NULL);
    }
    if (ok)
        print_draw(&log, o, list, k);
    else if (o->json)
        printf("{");
    ok = ok && check_start(&log, &v) && read_material(o, &m, &v);
    for (i = 0; i < k && ok; i++) ok = check_interval(&log, list[i], o, &m, &v);
    snprintf(what, sizeof what, "%zu of %zu intervals are what the statement gives", k,
             log.count ? log.count - 1 : 0);
    free(list);
    free(log.list);
    return conclude(ok, what, &v, o->json);
}

/* ---- the command line ------------------------------------------------------------------------ */

static int number(const char *text, double least, double most, double *out) {
    char *end = NULL;
    const double value = strtod(text, &end);
    if (end == text || *end || !(value >= least && value <= most)) return 0;
    *out = value;
    return 1;
}

/* An option with its value; 0: there is none such. */
static int take_option(options *o, const char *name, const char *value) {
    const struct {
        const char *name, **text;
    } texts[] = {{"--data", &o->data},   {"--tokenizer", &o->tokenizer},
                 {"--out", &o->out},     {"--preset", &o->preset},
                 {"--nonce", &o->nonce}, {"--device", &o->device}};
    const struct {
        const char *name;
        long *count, least, most;
    } counts[] = {{"--batch", &o->batch, 1, 65536},
                  {"--steps", &o->steps, 1, 1000000000},
                  {"--every", &o->every, 1, 1000000000},
                  {"--seed", &o->seed, 0, 1000000000},
                  {"--draws", &o->draws, 1, MAX_COMMITMENTS}};
    double x;
    size_t i;
    for (i = 0; i < sizeof texts / sizeof *texts; i++)
        if (!strcmp(name, texts[i].name)) {
            *texts[i].text = value;
            return *value != 0;
        }
    for (i = 0; i < sizeof counts / sizeof *counts; i++)
        if (!strcmp(name, counts[i].name)) {
            if (!number(value, (double)counts[i].least, (double)counts[i].most, &x) ||
                x != (double)(long)x)
                return 0;
            *counts[i].count = (long)x;
            return 1;
        }
    if (!strcmp(name, "--lr")) return number(value, 1e-9, 10, &o->lr);
    if (strcmp(name, "--token-bytes") || (strcmp(value, "2") && strcmp(value, "4"))) return 0;
    o->token_bytes = (unsigned)(value[0] - '0');
    return 1;
}

int main(int argc, char **argv) {
    options o = {0};
    int i, words = 0;
    o.device = "cpu";
    o.preset = "demo";
    o.nonce = "";
    o.token_bytes = 1;
    o.batch = 8;
    o.steps = 100;
    o.every = 20;
    o.seed = -1;
    o.draws = 2;
    o.lr = 1e-3;
    argc = cli_begin(argc, argv, "hlx_verify", usage);
    for (i = 1; i < argc; i++) { /* words move to the front */
        if (!strcmp(argv[i], "--json"))
            o.json = 1;
        else if (argv[i][0] != '-')
            argv[words++] = argv[i];
        else if (i + 1 < argc && take_option(&o, argv[i], argv[i + 1]))
            i++;
        else
            return fprintf(stderr, "hlx_verify: bad argument '%s'\n%s", argv[i], usage), 2;
    }
    if (!o.data || words < 1 ||
        (strcmp(o.device, "cpu") && strcmp(o.device, "vulkan") && strcmp(o.device, "cuda")))
        return fputs(usage, stderr), 2;
    if (!strcmp(argv[0], "train") && words == 1 && o.out && o.token_bytes == 1) {
        if (o.seed < 0) o.seed = 1;
        return train(&o);
    }
    if (!strcmp(argv[0], "commit") && words > (o.seed < 0 ? 2 : 1))
        return commit_files(argv + 1, words - 1, &o);
    if (!strcmp(argv[0], "check") && words == 2) return check(argv[1], &o);
    if (words == 2) return verify_pair(argv[0], argv[1], &o);
    return fputs(usage, stderr), 2;
}
