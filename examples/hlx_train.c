/* hlx_train: train a transformer on text or tokens, with checkpoints that resume to the bit, logs (CSV,
   JSON lines, TensorBoard), an SVG loss curve and samples.
   cc -O2 -fopenmp hlx_train.c -lm -o hlx_train

   Sections: options, files, logs, curve, samples, start, training. */
#define _POSIX_C_SOURCE 200809L
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <math.h>
#include <signal.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>
#ifdef _OPENMP
#include <omp.h>
#endif
#define NC_GPU /* drivers are looked for at run time, when --device asks for one */
#define NC_IMPLEMENTATION
#include "../nc_hlx.h"
#include "cli.h"
#if defined(_WIN32)
#define fsync _commit
#endif

/* -- options --------------------------------------------------------------------------- */

static const char *const usage[] = {
    "usage: hlx_train --data FILE [options]\n"
    "       hlx_train --sample N (--model PATH | --resume --out DIR) [sampling options]\n"
    "Trains on the first nine tenths of FILE and validates on the last, or only prints a sample.\n"
    "data\n"
    "  FILE             text, or tokens of llm.c (.bin) or NumPy (.npy), which are known by their\n"
    "                   content; all tokens are looked at before the first step\n"
    "  --valid FILE     validate on this one, and train on all of the other\n"
    "  --token-bytes N  FILE holds little-endian tokens of 2, 4 or 8 bytes, as nanoGPT's (2); "
    "give\n"
    "                   --vocab or --tokenizer too. 1: its bytes are the tokens, text or not\n"
    "  --vocab N        of text: learn N - 256 byte pairs from it first (default 256: bytes); of\n"
    "                   tokens: their number; with --tokenizer: at least as many as it has\n"
    "  --tokenizer FILE use this one: tokenizer.json, vocab.json, ranks of tiktoken, "
    "tokenizer.bpe\n"
    "model\n"
    "  --preset NAME    tiny (default), small, medium, or demo (0.1 M parameters)\n"
    "  --layers N --width N --heads N --context N --ffn N   other sizes than the preset's\n"
    "                   (--ffn: default 4 times --width)\n"
    "  --llama          LLaMA's blocks: RMSNorm, rotary positions, gated layers with SiLU, no "
    "biases\n"
    "  --kv-heads N     grouped queries: so many keys and values (default: one a query)\n"
    "  --init PATH      start from a GPT-2, Llama, Mistral or Qwen2 folder as transformers saves\n"
    "                   it, or from llm.c's .bin, with its shape and its tokenizer; with "
    "--context\n"
    "                   or --vocab the tables of positions or tokens are cut, or extended by "
    "zeros\n"
    "  --tied           the output matrix is the token embedding\n"
    "  --dropout X      after the embedding and before residual additions (default 0)\n"
    "  --flash          attention in tiles, without seq^2 memory (bits of its own)\n"
    "  --recompute      less memory, more work, the same bits\n"
    "  --bf16           mixed precision: weights and activations in bfloat16 (implies --flash)\n"
    "training\n"
    "  --device NAME    cpu (default), vulkan or cuda: the same bits; kernels from "
    "$NC_KERNEL_PATH\n"
    "                   or the kernels folder beside this program (make kernels)\n"
    "  --threads N      OpenMP threads; never changes a result (default: all)\n"
    "  --steps N        train until step N (default 1000)\n"
    "  --epochs X       or for so many passes over the data\n"
    "  --batch N        windows per batch (default 8)\n"
    "  --accumulate N   batches per step, summed in order: the bits of one large batch (default "
    "1)\n"
    "  --lr X           peak learning rate (default 1e-3)\n"
    "  --lr-min X       where the decay ends (default: a tenth of --lr)\n"
    "  --warmup N       steps of warm-up (default: a tenth of --decay, at most 100)\n"
    "  --decay N        step at which the decay ends (default: --steps)\n"
    "  --beta1 X --beta2 X   of AdamW (default 0.9, 0.99)\n"
    "  --weight-decay X of matrices and embeddings (default 0.1)\n"
    "  --clip X         largest norm of the gradient (default 1)\n"
    "  --seed S         of weights, data order, dropout and samples (default 1)\n"
    "  --patience N     stop after N validations without a better loss; DIR/best.bin keeps the "
    "best\n",
    "files\n"
    "  --json           the end of the run as JSON, and nothing else, on standard output\n"
    "  --out DIR        checkpoint.bin, log.csv, log.jsonl, loss.svg, and the tokenizer where "
    "there\n"
    "                   is one (default build/hlx). A folder with a run in it is not touched "
    "without\n"
    "  --resume         go on from DIR/checkpoint.bin. Shape, batch and seed are its own, as are\n"
    "                   the settings of the optimiser that are not given, and --steps (default: "
    "the\n"
    "                   end of its decay). Data and tokenizer must be those that the run began "
    "with\n"
    "  --overwrite      or begin anew\n"
    "  --other-data     with --resume: go on with another file, from its first window\n"
    "  --eval-every N   steps between validations (default 200, and at the end)\n"
    "  --eval-windows N windows of each, the same ones (default 64); at the end all follow.\n"
    "                   0: no validation\n"
    "  --save-every N   steps between checkpoints (default 500, and at the end)\n"
    "  --save-epochs N --save-minutes X   instead, or all that are given\n"
    "  --tensorboard    one more log: DIR/events.out.tfevents..., a file for each start\n"
    "  --peak X         GFLOP/s of the machine, to show the share of them that is used (MFU): 6\n"
    "                   operations a token for each weight of a matrix, and 6 layers * heads * "
    "head\n"
    "                   size * context for causal attention. Default on the CPU: measured with "
    "fused\n"
    "                   multiply-adds on all threads\n"
    "sampling\n"
    "  --sample N       print at most N tokens written by the model at the end (default 0)\n"
    "  --model PATH     of this checkpoint or folder, without training\n"
    "  --prompt TEXT    start of the sample; for a model of tokens without a tokenizer their "
    "numbers\n"
    "  --stop TEXT      end before this text; --stop-token N: at this token (default: at the\n"
    "                   tokenizer's end of a document)\n"
    "  --temperature X --top-k N --top-p X   (default 0.8, all, 0.95)\n"
    "The last line is the digest of all parameters: the same on every machine.\n"
    "Returns 0, 1 on an error, 2 on bad usage. Ctrl-C and SIGTERM save a checkpoint and stop; a\n"
    "second one stops at once.\n"};

#define NOT_GIVEN (-1.0)

typedef struct options {
    const char *data, *valid, *preset, *out, *prompt, *device, *tokenizer, *init, *model, *stop;
    double steps, batch, accumulate, warmup, decay, seed, save_every, eval_every, sample,
        eval_windows;
    double epochs, save_epochs, save_minutes, peak, stop_token;
    double layers, width, heads, kv_heads, context, ffn;
    double vocab, token_bytes, patience, lr, lr_min, beta1, beta2, weight_decay, clip, dropout,
        temperature, top_k, top_p;
    int resume, overwrite, other_data, tensorboard, tied, flash, recompute, bf16, llama, json;
} options;

/* A numeric option: where it goes, and its range; a whole number or any. */
typedef struct number_option {
    const char *name;
    size_t at;
    double least, most;
    int whole;
} number_option;

#define AT(member) offsetof(options, member)
static const number_option numbers[] = {{"--steps", AT(steps), 0, 1e9, 1},
                                        {"--epochs", AT(epochs), 1e-9, 1e6, 0},
                                        {"--save-epochs", AT(save_epochs), 1, 1e6, 1},
                                        {"--save-minutes", AT(save_minutes), 1e-3, 1e6, 0},
                                        {"--peak", AT(peak), 1e-3, 1e9, 0},
                                        {"--stop-token", AT(stop_token), 0, 4e9, 1},
                                        {"--kv-heads", AT(kv_heads), 1, 1e6, 1},
                                        {"--batch", AT(batch), 1, 1e5, 1},
                                        {"--accumulate", AT(accumulate), 1, 1e5, 1},
                                        {"--warmup", AT(warmup), 0, 1e9, 1},
                                        {"--decay", AT(decay), 1, 1e9, 1},
                                        {"--seed", AT(seed), 0, 9e15, 1},
                                        {"--save-every", AT(save_every), 1, 1e9, 1},
                                        {"--eval-every", AT(eval_every), 1, 1e9, 1},
                                        {"--eval-windows", AT(eval_windows), 0, 1e6, 1},
                                        {"--sample", AT(sample), 0, 1e6, 1},
                                        {"--vocab", AT(vocab), 1, 1e6, 1},
                                        {"--layers", AT(layers), 1, 1e6, 1},
                                        {"--width", AT(width), 1, 1e6, 1},
                                        {"--heads", AT(heads), 1, 1e6, 1},
                                        {"--context", AT(context), 1, 1e6, 1},
                                        {"--ffn", AT(ffn), 1, 1e6, 1},
                                        {"--token-bytes", AT(token_bytes), 1, 8, 1},
                                        {"--patience", AT(patience), 1, 1e6, 1},
                                        {"--top-k", AT(top_k), 0, 1e6, 1},
                                        {"--lr", AT(lr), 1e-9, 10, 0},
                                        {"--lr-min", AT(lr_min), 0, 10, 0},
                                        {"--beta1", AT(beta1), 1e-9, 0.999999, 0},
                                        {"--beta2", AT(beta2), 1e-9, 0.999999, 0},
                                        {"--weight-decay", AT(weight_decay), 0, 10, 0},
                                        {"--clip", AT(clip), 0, 1e9, 0},
                                        {"--dropout", AT(dropout), 0, 0.99, 0},
                                        {"--temperature", AT(temperature), 0, 100, 0},
                                        {"--top-p", AT(top_p), 0, 1, 0}};
static const struct {
    const char *name;
    size_t at;
} texts[] = {{"--data", AT(data)},     {"--preset", AT(preset)}, {"--out", AT(out)},
             {"--prompt", AT(prompt)}, {"--device", AT(device)}, {"--tokenizer", AT(tokenizer)},
             {"--init", AT(init)},     {"--valid", AT(valid)},   {"--model", AT(model)},
             {"--stop", AT(stop)}},
  flags[] = {{"--resume", AT(resume)},
             {"--overwrite", AT(overwrite)},
             {"--other-data", AT(other_data)},
             {"--tensorboard", AT(tensorboard)},
             {"--tied", AT(tied)},
             {"--flash", AT(flash)},
             {"--recompute", AT(recompute)},
             {"--bf16", AT(bf16)},
             {"--llama", AT(llama)},
             {"--json", AT(json)}};
#define COUNT(array) (sizeof(array) / sizeof *(array))

static void *member(options *o, size_t at) { return (char *)o + at; }

static void print_usage(FILE *to) {
    fputs(usage[0], to);
    fputs(usage[1], to);
    fputs(cli_common, to);
}

static void bad_usage(const char *what, const char *name) {
    fprintf(stderr, "hlx_train: %s '%s'\n", what, name);
    print_usage(stderr);
    exit(2);
}

static void parse_number(const number_option *option, const char *text, double *out) {
    char *end;
    double value = text ? strtod(text, &end) : 0;
    if (!text || end == text || *end || !(value >= option->least && value <= option->most) ||
        (option->whole && value != (double)(long long)value)) {
        fprintf(stderr, "hlx_train: %s needs a %snumber from %g to %g\n", option->name,
                option->whole ? "whole " : "", option->least, option->most);
        exit(2);
    }
    *out = value;
}

/* One option and perhaps its value; returns how many words they are. */
static int parse_option(options *o, const char *name, const char *value) {
    size_t k;
    for (k = 0; k < COUNT(flags); k++)
        if (!strcmp(name, flags[k].name)) return *(int *)member(o, flags[k].at) = 1;
    for (k = 0; k < COUNT(numbers); k++)
        if (!strcmp(name, numbers[k].name)) {
            parse_number(&numbers[k], value, (double *)member(o, numbers[k].at));
            return 2;
        }
    for (k = 0; k < COUNT(texts) && strcmp(name, texts[k].name); k++) {
    }
    if (k == COUNT(texts)) bad_usage("unknown option", name);
    if (!value) bad_usage("a value is missing after", name);
    *(const char **)member(o, texts[k].at) = value;
    return 2;
}

static double otherwise(double given, double value) { return given >= 0 ? given : value; }

/* What contradicts itself, whatever the files say. */
static void check_options(const options *o) {
    if (strcmp(o->device, "cpu") && strcmp(o->device, "vulkan") && strcmp(o->device, "cuda"))
        bad_usage("unknown device", o->device);
    if (!o->data && (!(o->sample > 0) || (!o->model && !o->resume)))
        bad_usage("missing option", o->model ? "--sample N" : "--data FILE");
    if (o->data && o->model) bad_usage("it is not trained (--init starts from it):", "--model");
    if (o->model && o->resume) bad_usage("not both of", "--resume, --model");
    if (o->steps >= 0 && o->epochs >= 0) bad_usage("not both of", "--steps, --epochs");
    if (o->stop && !o->stop[0]) bad_usage("no text after", "--stop");
    if (o->token_bytes >= 0 && o->token_bytes != 1 && o->token_bytes != 2 && o->token_bytes != 4 &&
        o->token_bytes != 8)
        bad_usage("tokens have 1, 2, 4 or 8 bytes:", "--token-bytes");
    if (o->token_bytes == 1 && o->tokenizer)
        bad_usage("either bytes are the tokens or a tokenizer makes them:", "--token-bytes 1");
    if (o->token_bytes > 1 && !o->tokenizer && o->vocab < 0 && !o->resume && !o->init)
        bad_usage("a token file needs one of", "--vocab N, --tokenizer FILE");
    if (o->resume && o->overwrite) bad_usage("not both of", "--resume, --overwrite");
    if (o->resume && o->init) bad_usage("the checkpoint has the weights: not with", "--init");
    if (o->other_data && !o->resume) bad_usage("only with --resume:", "--other-data");
}

static void parse(int argc, char **argv, options *o) {
    size_t k;
    int i;
    memset(o, 0, sizeof *o);
    for (k = 0; k < COUNT(numbers); k++) *(double *)member(o, numbers[k].at) = NOT_GIVEN;
    for (i = 1; i < argc;) {
        if (!strcmp(argv[i], "--help")) {
            print_usage(stdout);
            exit(0);
        }
        i += parse_option(o, argv[i], i + 1 < argc ? argv[i + 1] : NULL);
    }
    if (!o->out) o->out = "build/hlx";
    if (!o->prompt) o->prompt = "";
    if (!o->device) o->device = "cpu";
    check_options(o);
    if (o->save_every < 0 && (o->save_epochs >= 0 || o->save_minutes >= 0)) o->save_every = 1e18;
    o->save_every = otherwise(o->save_every, 500);
    o->eval_every = otherwise(o->eval_every, 200);
    o->eval_windows = otherwise(o->eval_windows, 64);
}

/* -- files ----------------------------------------------------------------------------- */

/* All of a run. */
typedef struct run {
    const options *o;
    nc_hlx_model *model;
    nc_hlx_bpe *bpe;
    nc_hlx_data data;
    nc_hlx_adamw adamw;
    nc_gpu *device;
    nc_hlx_gpu *gpu;
    uint64_t steps; /* train until there */
    int terminal;
    int learned;      /* the tokenizer is new */
    double last_save; /* in seconds() */
    double last_loss; /* of the validation at the end; negative: there was none */
    struct {
        double tokens, seconds; /* of the last steps, older ones fading */
        double flops, peak;     /* a token, and a second of the machine; 0: not known */
        double shown;           /* when the line on a terminal was last drawn */
    } pace;
} run;

static volatile sig_atomic_t interrupted;

static void on_interrupt(int number) {
    (void)number;
    interrupted = 1;
}

/* The first SIGINT or SIGTERM asks to stop, a second one does. */
static void catch_interrupts(void) {
#if defined(_WIN32)
    signal(SIGINT, on_interrupt); /* which is then as it was */
    signal(SIGTERM, on_interrupt);
#else
    struct sigaction action;
    memset(&action, 0, sizeof action);
    action.sa_handler = on_interrupt;
    action.sa_flags = (int)(SA_RESETHAND | SA_RESTART);
    sigemptyset(&action.sa_mask);
    sigaction(SIGINT, &action, NULL);
    sigaction(SIGTERM, &action, NULL);
#endif
}

static double seconds(void) {
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

typedef struct path {
    char text[1100];
} path;

static path in_folder(const char *folder, const char *name) {
    path p;
    snprintf(p.text, sizeof p.text, "%.1000s/%.90s", folder, name);
    return p;
}

static int exists(const char *name) {
    struct stat info;
    return stat(name, &info) == 0;
}

/* Create the folder and its parents. */
static int make_folder(const char *name) {
    char part[1024];
    size_t i, n = strlen(name);
    if (n == 0 || n >= sizeof part) return -1;
    for (i = 1; i <= n; i++)
        if (name[i] == '/' || name[i] == 0) {
            memcpy(part, name, i);
            part[i] = 0;
            if (cli_folder(part) && errno != EEXIST) return -1;
        }
    return 0;
}

/* What a run leaves in its folder, besides event files. */
static const char *const run_files[] = {"checkpoint.bin", "best.bin",       "log.csv", "log.jsonl",
                                        "tokenizer.bpe",  "tokenizer.json", "loss.svg"};
enum { RUN_SIGNS = 4 }; /* one of the first four: there is a run */
#define EVENTS "events.out.tfevents."

static int has_run(const char *folder) {
    int i;
    for (i = 0; i < RUN_SIGNS; i++)
        if (exists(in_folder(folder, run_files[i]).text)) return 1;
    return 0;
}

static void remove_run(const char *folder) {
    DIR *all = opendir(folder);
    struct dirent *entry;
    size_t i;
    for (i = 0; i < COUNT(run_files); i++) (void)remove(in_folder(folder, run_files[i]).text);
    while (all && (entry = readdir(all)) != NULL)
        if (!strncmp(entry->d_name, EVENTS, strlen(EVENTS)))
            (void)remove(in_folder(folder, entry->d_name).text);
    if (all) (void)closedir(all);
}

/* The tokenizer in a folder, or none. */
static path find_tokenizer(const char *folder) {
    static const char *const names[] = {"tokenizer.bpe", "tokenizer.json", "vocab.json"};
    path p;
    size_t i;
    for (i = 0; i < COUNT(names); i++) {
        p = in_folder(folder, names[i]);
        if (exists(p.text)) return p;
    }
    p.text[0] = 0;
    return p;
}

/* -- logs ------------------------------------------------------------------------------ */

/* One row a step in log.csv and in log.jsonl. Rows are with the system before the checkpoint of their
   step is, so that a run which is killed has all of them up to its checkpoint: those beyond are cut
   when it resumes. A validation is put into the row of its step, in one write. */
typedef struct text_log {
    FILE *file;
    long end; /* before the last row's end: "\n" or "}\n" */
    int json;
    int row; /* 1: the last row is that of the model's step; 2: and has the last validation of all */
} text_log;

#define VALIDATION_OF_ALL "validation_loss_all"

typedef struct logs {
    text_log csv, jsonl;
    FILE *events; /* or null */
} logs;

/* What a step is told of. */
typedef struct record {
    nc_hlx_stats stats;
    double speed; /* tokens a second */
    uint64_t tokens;
} record;

static void close_logs(logs *l) {
    if (l->csv.file) fclose(l->csv.file);
    if (l->jsonl.file) fclose(l->jsonl.file);
    if (l->events) fclose(l->events);
    memset(l, 0, sizeof *l);
}

/* The step of a row; 0: none, as of the names above the columns. */
static uint64_t row_step(const char *row, int json) {
    if (!json) return strtoull(row, NULL, 10);
    return strncmp(row, "{\"step\":", 8) ? 0 : strtoull(row + 8, NULL, 10);
}

/* Where a row's validations begin. */
static size_t row_body(const char *row, size_t length, int json) {
    size_t i, commas = 0;
    for (i = 0; i < length; i++) {
        if (json && !strncmp(row + i, ",\"validation", 12)) return i;
        commas += row[i] == ',';
        if (!json && commas == 5) return i + 1;
    }
    return length - (json ? 2 : 1);
}

/* Keep the whole rows up to `last`, each step once and in order; that of `last` without a validation,
   if it is going to be validated again. Returns how much of the text is left. */
static size_t cut_rows(char *text, size_t bytes, uint64_t last, int again, int json) {
    size_t at, next, kept = 0;
    uint64_t before = 0;
    for (at = 0; at < bytes; at = next) {
        const char *end = memchr(text + at, '\n', bytes - at);
        const uint64_t step = end ? row_step(text + at, json) : UINT64_MAX;
        size_t length;
        if (!end) break;
        next = (size_t)(end - text) + 1;
        length = next - at;
        if (step > last || (step ? step <= before : at != 0)) continue;
        memmove(text + kept, text + at, length);
        before = step;
        if (again && step && step == last) {
            length = row_body(text + kept, length, json);
            memcpy(text + kept + length, json ? "}\n" : "\n", 2);
            length += json ? 2 : 1;
        }
        kept += length;
    }
    return kept;
}

/* text_log.row of a text of rows. */
static int last_row(const char *text, size_t bytes, uint64_t step, int json) {
    size_t at = bytes ? bytes - 1 : 0;
    while (at && text[at - 1] != '\n') at--;
    if (!bytes || !step || row_step(text + at, json) != step) return 0;
    return strstr(text + at, VALIDATION_OF_ALL) ? 2 : 1;
}

/* Open a log; that of a run which resumes at step `last` is cut there first. */
static int open_log(text_log *l, const char *name, int json, int resume, uint64_t last, int again) {
    char *text = NULL;
    size_t bytes = 0;
    nc_error err;
    nc_status status = NC_OK;
    if (resume && exists(name)) status = nc_file_read(name, &text, &bytes, &err);
    if (status == NC_OK) {
        if (text) bytes = cut_rows(text, bytes, last, again, json);
        if (text) text[bytes] = 0;
        l->row = text ? last_row(text, bytes, last, json) : 0;
        status = nc_file_write(name, text ? text : "", bytes, &err);
    }
    nc_file_free(text);
    if (status != NC_OK) return cli_refused("log", status, &err);
    l->json = json;
    l->file = fopen(name, "r+b");
    if (!l->file || fseek(l->file, 0, SEEK_END))
        return cli_fail(CLI_ERROR, "cannot write '%s': %s", name, strerror(errno));
    if (bytes == 0 && !json)
        fprintf(l->file, "step,loss,lr,grad_norm,tokens_per_s,validation_loss\n");
    l->end = ftell(l->file) - (json ? 2 : 1);
    return 0;
}

static int end_row(text_log *l) {
    fputs(l->json ? "}\n" : "\n", l->file);
    if (fflush(l->file)) return -1;
    l->end = ftell(l->file) - (l->json ? 2 : 1);
    return 0;
}

static int log_row(text_log *l, const record *r) {
    const nc_hlx_stats *s = &r->stats;
    fprintf(l->file,
            l->json ? "{\"step\":%llu,\"loss\":%.9g,\"lr\":%.9g,\"grad_norm\":%.9g,"
                      "\"tokens_per_s\":%.0f,\"tokens\":%llu,\"time\":%lld"
                    : "%llu,%.6f,%.4e,%.5f,%.0f,",
            (unsigned long long)s->step, (double)s->loss, (double)s->lr, (double)s->grad_norm,
            r->speed, (unsigned long long)r->tokens, (long long)time(NULL));
    l->row = 1;
    return end_row(l);
}

/* A loss into the row of the model's step, where there is one (the log may have been taken away)
   that does not have it. */
static int log_validation(text_log *l, const char *name, double loss) {
    const int all = !strcmp(name, VALIDATION_OF_ALL);
    if (!l->row || (all && l->row == 2)) return 0;
    if (all) l->row = 2;
    if (fseek(l->file, l->end, SEEK_SET)) return -1;
    if (l->json)
        fprintf(l->file, ",\"%s\":%.9g", name, loss);
    else
        fprintf(l->file, "%.6f", loss);
    return end_row(l);
}

/* -- logs: event files of TensorBoard -------------------------------------------------- */

/* A record is its length in 8 bytes, their checksum, the data, its checksum (tensorflow's
   tsl/lib/io/record_writer.h); the data one protocol buffer `Event` (tensorflow's event.proto): 1
   wall_time, 2 step, 3 file_version, 5 summary, 7 session_log; numbers little-endian. */
typedef struct event {
    uint8_t data[512];
    size_t bytes;
} event;

static void put_bytes(event *e, const void *data, size_t bytes) {
    if (bytes > sizeof e->data - e->bytes) bytes = sizeof e->data - e->bytes;
    memcpy(e->data + e->bytes, data, bytes);
    e->bytes += bytes;
}

static void put_number(event *e, uint64_t value, size_t bytes) {
    uint8_t out[8];
    size_t i;
    for (i = 0; i < bytes; i++) out[i] = (uint8_t)(value >> 8 * i);
    put_bytes(e, out, bytes);
}

static void put_varint(event *e, uint64_t value) {
    for (; value >= 128; value >>= 7) put_number(e, value % 128 + 128, 1);
    put_number(e, value, 1);
}

/* Field number and wire type, then the length of what follows. */
static void put_field(event *e, unsigned number, const void *data, size_t bytes) {
    put_varint(e, number << 3 | 2);
    put_varint(e, bytes);
    put_bytes(e, data, bytes);
}

/* The checksum of a record: CRC-32C (Castagnoli), turned and moved. */
static uint32_t masked_crc(const uint8_t *data, size_t bytes) {
    uint32_t crc = UINT32_MAX;
    size_t i;
    int k;
    for (i = 0; i < bytes; i++)
        for (crc ^= data[i], k = 0; k < 8; k++)
            crc = crc >> 1 ^ (crc & 1 ? UINT32_C(0x82F63B78) : 0);
    crc = ~crc;
    return (crc >> 15 | crc << 17) + UINT32_C(0xA282EAD8);
}

static event new_event(uint64_t step) {
    const double now = (double)time(NULL);
    uint64_t bits;
    event e;
    e.bytes = 0;
    memcpy(&bits, &now, sizeof bits);
    put_varint(&e, 1 << 3 | 1);
    put_number(&e, bits, 8);
    put_varint(&e, 2 << 3);
    put_varint(&e, step);
    return e;
}

static void write_event(FILE *file, const event *e) {
    event frame;
    frame.bytes = 0;
    put_number(&frame, e->bytes, 8);
    put_number(&frame, masked_crc(frame.data, 8), 4);
    fwrite(frame.data, 1, frame.bytes, file);
    fwrite(e->data, 1, e->bytes, file);
    frame.bytes = 0;
    put_number(&frame, masked_crc(e->data, e->bytes), 4);
    fwrite(frame.data, 1, frame.bytes, file);
}

static void put_scalar(event *e, const char *tag, double scalar) {
    const float as_float = (float)scalar;
    uint32_t bits;
    event value, list;
    memcpy(&bits, &as_float, sizeof bits);
    value.bytes = list.bytes = 0;
    put_field(&value, 1, tag, strlen(tag));
    put_varint(&value, 2 << 3 | 5); /* simple_value */
    put_number(&value, bits, 4);
    put_field(&list, 1, value.data, value.bytes);
    put_field(e, 5, list.data, list.bytes);
}

/* A file of its own for each start. One that resumes tells readers to forget what an earlier one
   said of the steps from there on. */
static int open_events(logs *l, const run *r) {
    char host[64] = "", name[160];
    const uint64_t step = nc_hlx_step(r->model);
    event e = new_event(step);
    path p;
    int fd;
#if defined(_WIN32)
    snprintf(host, sizeof host, "%s", getenv("COMPUTERNAME") ? getenv("COMPUTERNAME") : "windows");
#else
    (void)gethostname(host, sizeof host - 1);
#endif
    snprintf(name, sizeof name, EVENTS "%lld.%.63s.%ld", (long long)time(NULL), host,
             (long)getpid());
    p = in_folder(r->o->out, name);
    fd = open(p.text, O_WRONLY | O_CREAT | O_EXCL, 0666);
    l->events = fd < 0 ? NULL : fdopen(fd, "wb");
    if (!l->events) return cli_fail(CLI_ERROR, "cannot write '%s': %s", p.text, strerror(errno));
    put_field(&e, 3, "brain.Event:2", 13);
    write_event(l->events, &e);
    if (step) {
        e = new_event(step + 1);
        put_field(&e, 7, "\x08\x01", 2); /* SessionLog.START */
        write_event(l->events, &e);
    }
    return fflush(l->events) != 0;
}

static int log_step(logs *l, const record *r) {
    const nc_hlx_stats *s = &r->stats;
    int failed = log_row(&l->csv, r) || log_row(&l->jsonl, r);
    if (l->events) {
        event e = new_event(s->step);
        put_scalar(&e, "train/loss", (double)s->loss);
        put_scalar(&e, "train/lr", (double)s->lr);
        put_scalar(&e, "train/grad_norm", (double)s->grad_norm);
        put_scalar(&e, "train/tokens_per_s", r->speed);
        write_event(l->events, &e);
        failed |= fflush(l->events) != 0;
    }
    return failed;
}

/* The loss of a validation, or of the last one over all windows. */
static int log_loss(logs *l, uint64_t step, double loss, int all) {
    int failed = (!all && log_validation(&l->csv, "", loss)) ||
                 log_validation(&l->jsonl, all ? VALIDATION_OF_ALL : "validation_loss", loss);
    if (l->events) {
        event e = new_event(step);
        put_scalar(&e, all ? "validation/loss_all" : "validation/loss", loss);
        write_event(l->events, &e);
        failed |= fflush(l->events) != 0;
    }
    return failed;
}

static void sync_logs(const logs *l) {
    (void)fsync(fileno(l->csv.file));
    (void)fsync(fileno(l->jsonl.file));
    if (l->events) (void)fsync(fileno(l->events));
}

static int open_logs(logs *l, const run *r, int again) {
    const options *o = r->o;
    const uint64_t step = nc_hlx_step(r->model);
    memset(l, 0, sizeof *l);
    return open_log(&l->csv, in_folder(o->out, "log.csv").text, 0, o->resume, step, again) ||
           open_log(&l->jsonl, in_folder(o->out, "log.jsonl").text, 1, o->resume, step, again) ||
           (o->tensorboard && open_events(l, r));
}

/* -- curve ----------------------------------------------------------------------------- */

typedef struct point {
    double step, loss, mean, valid; /* valid: -1 for none */
} point;

enum { PLOT_X = 64, PLOT_Y = 44, PLOT_WIDTH = 670, PLOT_HEIGHT = 320 };

/* The rows of log.csv; *count gets their number. Free the result. */
static point *read_points(const char *csv, size_t *count) {
    FILE *file = fopen(csv, "r");
    char line[256];
    point *points = NULL, *larger, p;
    size_t room = 0;
    double lr, norm, speed;
    *count = 0;
    while (file && fgets(line, sizeof line, file)) {
        p.valid = -1;
        if (sscanf(line, "%lf,%lf,%lf,%lf,%lf,%lf", &p.step, &p.loss, &lr, &norm, &speed,
                   &p.valid) < 5)
            continue;
        p.mean = *count ? 0.9 * points[*count - 1].mean + 0.1 * p.loss : p.loss;
        if (*count == room) {
            room = 2 * room + 256;
            larger = realloc(points, room * sizeof p);
            if (!larger) break;
            points = larger;
        }
        points[(*count)++] = p;
    }
    if (file) fclose(file);
    return points;
}

/* 1, 2 or 5 times a power of ten: some five of them are the range. */
static double tick_of(double range) {
    double tick = 1;
    while (tick > range / 4) tick /= 10;
    while (tick * 10 <= range / 4) tick *= 10;
    return tick * (tick * 5 <= range / 4 ? 5 : tick * 2 <= range / 4 ? 2 : 1);
}

/* The axes that points are drawn between. */
typedef struct axes {
    double last, bottom, top, step_tick, loss_tick;
} axes;

static axes axes_of(const point *p, size_t n) {
    axes a = {1, p[0].loss, p[0].loss, 1, 1};
    size_t i;
    for (i = 0; i < n; i++) {
        if (p[i].loss > a.top) a.top = p[i].loss;
        if (p[i].loss < a.bottom) a.bottom = p[i].loss;
        if (p[i].valid >= 0 && p[i].valid > a.top) a.top = p[i].valid;
        if (p[i].valid >= 0 && p[i].valid < a.bottom) a.bottom = p[i].valid;
    }
    if (p[n - 1].step > 1) a.last = p[n - 1].step;
    a.step_tick = tick_of(a.last);
    if (a.step_tick < 1) a.step_tick = 1;
    a.loss_tick = tick_of(a.top - a.bottom > 1e-6 ? a.top - a.bottom : 1e-6);
    a.bottom = a.loss_tick * (double)(long long)(a.bottom / a.loss_tick);
    a.top = a.loss_tick * ((double)(long long)(a.top / a.loss_tick) + 1);
    return a;
}

static double plot_x(const axes *a, double step) { return PLOT_X + PLOT_WIDTH * step / a->last; }

static double plot_y(const axes *a, double loss) {
    return PLOT_Y + PLOT_HEIGHT * (a->top - loss) / (a->top - a->bottom);
}

static void draw_grid(FILE *svg, const axes *a) {
    int digits = 0, i;
    double tick = a->loss_tick;
    for (; tick < 0.9999 && digits < 6; tick *= 10) digits++;
    fprintf(svg,
            "<svg xmlns='http://www.w3.org/2000/svg' width='760' height='420' "
            "font-family='sans-serif' font-size='12'>\n"
            "<rect width='760' height='420' fill='white'/>\n"
            "<text x='%d' y='24'>loss in nats per token: <tspan fill='#8a8a8a'>training</tspan>, "
            "<tspan fill='#1f5fa8'>its running mean</tspan>, "
            "<tspan fill='#c0392b'>validation</tspan></text>\n"
            "<text x='%d' y='%d' text-anchor='middle'>step</text>\n",
            PLOT_X, PLOT_X + PLOT_WIDTH / 2, PLOT_Y + PLOT_HEIGHT + 40);
    for (i = 0; a->bottom + i * a->loss_tick < a->top + a->loss_tick / 2; i++) {
        const double loss = a->bottom + i * a->loss_tick, y = plot_y(a, loss);
        fprintf(svg,
                "<line x1='%d' x2='%d' y1='%.1f' y2='%.1f' stroke='#e0e0e0'/>"
                "<text x='%d' y='%.1f' text-anchor='end'>%.*f</text>\n",
                PLOT_X, PLOT_X + PLOT_WIDTH, y, y, PLOT_X - 8, y + 4, digits, loss);
    }
    for (i = 0; i * a->step_tick <= a->last; i++) {
        const double x = plot_x(a, i * a->step_tick);
        fprintf(svg,
                "<line x1='%.1f' x2='%.1f' y1='%d' y2='%d' stroke='#808080'/>"
                "<text x='%.1f' y='%d' text-anchor='middle'>%.0f</text>\n",
                x, x, PLOT_Y + PLOT_HEIGHT, PLOT_Y + PLOT_HEIGHT + 5, x, PLOT_Y + PLOT_HEIGHT + 20,
                i * a->step_tick);
    }
}

/* One of the three lines, of some 2,000 points at most; validations are few, and marked. */
static void draw_line(FILE *svg, const axes *a, const point *p, size_t n, int line) {
    static const char *const strokes[] = {"stroke='#c8c8c8'", "stroke='#1f5fa8' stroke-width='2'",
                                          "stroke='#c0392b' stroke-width='2'"};
    const size_t stride = line == 2 ? 1 : n / 2000 + 1;
    size_t i;
    fprintf(svg, "<polyline fill='none' %s points='", strokes[line]);
    for (i = 0; i < n; i += stride)
        if (line < 2 || p[i].valid >= 0)
            fprintf(svg, "%.1f,%.1f ", plot_x(a, p[i].step),
                    plot_y(a, line == 0   ? p[i].loss
                              : line == 1 ? p[i].mean
                                          : p[i].valid));
    fprintf(svg, "'/>\n");
    for (i = 0; i < n && line == 2; i++)
        if (p[i].valid >= 0)
            fprintf(svg, "<circle cx='%.1f' cy='%.1f' r='2.5' fill='#c0392b'/>\n",
                    plot_x(a, p[i].step), plot_y(a, p[i].valid));
}

/* Loss against step. */
static int write_svg(const char *csv, const char *name) {
    char *text = NULL;
    size_t bytes = 0, n;
    point *points = read_points(csv, &n);
    FILE *svg = n ? cli_text_open(&text, &bytes) : NULL;
    nc_error err;
    nc_status status = NC_OK;
    int line;
    if (svg) {
        const axes a = axes_of(points, n);
        draw_grid(svg, &a);
        for (line = 0; line < 3; line++) draw_line(svg, &a, points, n, line);
        fprintf(svg, "</svg>\n");
        if (cli_text_close(svg, &text, &bytes)) status = nc_file_write(name, text, bytes, &err);
        free(text);
    }
    free(points);
    return status == NC_OK ? 0 : cli_refused("curve", status, &err);
}

/* -- samples --------------------------------------------------------------------------- */

/* Bytes of the character of UTF-8 that a text begins with; 0: it begins with none. */
static size_t character(const unsigned char *text, size_t bytes) {
    const unsigned first = text[0];
    const size_t n = first < 0x80 ? 1 : first < 0xC2 ? 0 : first < 0xE0 ? 2 : first < 0xF0 ? 3 : 4;
    size_t i;
    if (n == 0 || n > bytes || first > 0xF4) return 0;
    for (i = 1; i < n; i++)
        if (text[i] >> 6 != 2) return 0;
    if ((first == 0xE0 && text[1] < 0xA0) || (first == 0xF0 && text[1] < 0x90)) return 0;
    return (first == 0xED && text[1] > 0x9F) || (first == 0xF4 && text[1] > 0x8F) ? 0 : n;
}

/* Text on its way out: as its bytes are or, on a terminal, as characters that can do no harm there. */
static void print_text(const unsigned char *text, size_t bytes, int terminal) {
    size_t i, n;
    if (!terminal) {
        fwrite(text, 1, bytes, stdout);
        return;
    }
    for (i = 0; i < bytes; i += n ? n : 1) {
        n = character(text + i, bytes - i);
        if (n == 0)
            fputs("\xEF\xBF\xBD", stdout);
        else if (n == 2 && text[i] == 0xC2 && text[i + 1] < 0xA0)
            printf("\\x%02X", text[i + 1]);
        else if ((text[i] < ' ' && text[i] != '\n' && text[i] != '\t') || text[i] == 127)
            printf("\\x%02X", text[i]);
        else
            fwrite(text + i, 1, n, stdout);
    }
}

/* A sample that is printed token by token. */
typedef struct sample {
    const nc_hlx_bpe *bpe;
    const char *stop;    /* or null */
    uint32_t stop_token; /* or UINT32_MAX */
    int numbers;         /* tokens that nothing makes text of */
    int terminal, failed;
    unsigned char *held; /* not printed yet */
    size_t count, room;
} sample;

static void print_held(sample *s, size_t n) {
    print_text(s->held, n, s->terminal);
    fflush(stdout);
    s->count -= n;
    if (s->count) memmove(s->held, s->held + n, s->count);
}

/* The bytes of a token behind those that are held. */
static int hold(sample *s, uint32_t token) {
    char number[16];
    unsigned char *larger;
    size_t bytes = 1;
    if (s->numbers)
        bytes = (size_t)snprintf(number, sizeof number, "%u ", (unsigned)token);
    else if (s->bpe && nc_hlx_bpe_decode(s->bpe, &token, 1, NULL, 0, &bytes) != NC_OK)
        bytes = 0; /* an id of the model that the tokenizer has no token for */
    if (s->count + bytes > s->room) {
        s->room = 2 * s->room + bytes + 64;
        larger = realloc(s->held, s->room);
        if (!larger) return -1;
        s->held = larger;
    }
    if (s->numbers)
        memcpy(s->held + s->count, number, bytes);
    else if (!s->bpe)
        s->held[s->count] = (unsigned char)token;
    else if (bytes)
        (void)nc_hlx_bpe_decode(s->bpe, &token, 1, s->held + s->count, bytes, &bytes);
    s->count += bytes;
    return 0;
}

/* Where the stop text, or a part of it at the end, begins in what is held; *whole: all of it. */
static size_t find_stop(const sample *s, int *whole) {
    const size_t n = strlen(s->stop);
    size_t i;
    *whole = 0;
    for (i = 0; i < s->count; i++) {
        const size_t left = s->count - i;
        if (memcmp(s->held + i, s->stop, left < n ? left : n)) continue;
        *whole = left >= n;
        return i;
    }
    return s->count;
}

static int on_token(void *user, uint32_t token) {
    sample *s = (sample *)user;
    size_t n;
    int whole = 0;
    if (token == s->stop_token) return 1;
    s->failed = hold(s, token);
    if (s->failed) return 1;
    n = s->stop ? find_stop(s, &whole) : s->count;
    if (whole) s->count = n;
    print_held(s, s->terminal && !whole ? nc_hlx_utf8_whole(s->held, n) : n);
    return whole || interrupted;
}

/* A prompt in tokens; SIZE_MAX: not numbers, or no memory. */
static size_t take_prompt(const sample *s, const char *prompt, uint32_t *tokens) {
    const size_t bytes = strlen(prompt);
    char *end;
    size_t n = 0;
    if (s->numbers) {
        for (; *prompt; prompt = end) {
            const unsigned long long token = strtoull(prompt, &end, 10);
            if (*prompt < '0' || *prompt > '9' || token > UINT32_MAX) return SIZE_MAX;
            tokens[n++] = (uint32_t)token;
            while (*end == ' ' || *end == ',') end++;
        }
        return n;
    }
    if (s->bpe) n = nc_hlx_bpe_encode_document(s->bpe, prompt, bytes, tokens);
    for (; !s->bpe && n < bytes; n++) tokens[n] = (unsigned char)prompt[n];
    if (n == 0 && s->bpe && nc_hlx_bpe_end(s->bpe) != UINT32_MAX) /* as a document begins */
        tokens[n++] = nc_hlx_bpe_end(s->bpe);
    return n;
}

/* Print the prompt and what the model makes of it. */
static int write_sample(nc_hlx_model *model, const nc_hlx_bpe *bpe, const options *o) {
    const size_t count = (size_t)o->sample, bytes = strlen(o->prompt);
    const size_t room = bpe ? nc_hlx_bpe_room(bpe, bytes) : bytes + 16;
    nc_hlx_sampling how = {0};
    uint32_t *tokens = malloc((room + count) * sizeof *tokens);
    sample s = {bpe, o->stop, UINT32_MAX, 0, isatty(1), 0, NULL, 0, 0};
    nc_status status = NC_ERR_MEMORY;
    size_t n;
    how.temperature = (float)otherwise(o->temperature, 0.8);
    how.top_p = (float)otherwise(o->top_p, 0.95);
    how.top_k = (uint32_t)otherwise(o->top_k, 0);
    how.seed = (uint64_t)otherwise(o->seed, 1);
    how.token_fn = on_token;
    how.user = &s;
    s.numbers = !bpe && nc_hlx_get_config(model)->vocab_size != 256;
    if (bpe) s.stop_token = nc_hlx_bpe_end(bpe);
    if (o->stop_token >= 0) s.stop_token = (uint32_t)o->stop_token;
    if (tokens) {
        n = take_prompt(&s, o->prompt, tokens);
        if (n == SIZE_MAX) {
            fprintf(stderr, "hlx_train: --prompt '%s': %s\n", o->prompt,
                    s.numbers ? "this model takes numbers" : "out of memory");
            return free(tokens), 1;
        }
        printf("--- sample ---\n");
        print_text((const unsigned char *)o->prompt, bytes, s.terminal);
        status = nc_hlx_sample_tokens(model, tokens, n, &how, tokens + n, count);
        if (s.failed) status = NC_ERR_MEMORY;
        print_held(&s, s.count);
        printf("\n--------------\n");
    }
    free(s.held);
    free(tokens);
    if (status == NC_ERR_ARG)
        return cli_refused("the prompt has tokens outside the vocabulary", status, NULL);
    return status == NC_OK ? 0 : cli_refused("sampling", status, NULL);
}

/* -- start ----------------------------------------------------------------------------- */

static int on_progress(void *user, uint64_t done, uint64_t total, const char *what) {
    const run *r = (const run *)user;
    if (r->terminal && total) {
        printf("\r%s: %llu %%%s", what, (unsigned long long)(100 * done / total),
               done == total ? "\n" : "");
        fflush(stdout);
    }
    return interrupted;
}

static int on_learned(void *user, uint64_t done, uint64_t total) {
    return on_progress(user, done, total, "byte pairs");
}

static int on_read(void *user, uint64_t done, uint64_t total) {
    return on_progress(user, done, total, "data");
}

/* Open the data for windows of seq tokens below vocab (0: of any). */
static nc_status open_data(run *r, uint32_t seq, uint32_t vocab, nc_error *err) {
    nc_hlx_data_options how;
    memset(&how, 0, sizeof how);
    how.path = r->o->data;
    how.valid_path = r->o->valid;
    how.bpe = r->bpe;
    how.token_bytes = (uint32_t)otherwise(r->o->token_bytes, 0);
    how.vocab = vocab;
    how.seq = seq;
    how.seed = (uint64_t)otherwise(r->o->seed, 1);
    how.progress = on_read;
    how.user = r;
    return nc_hlx_data_open_with(&r->data, &how, err);
}

/* Byte pairs from the text that the model will train on; nothing from a file of tokens. */
static nc_status learn_tokenizer(run *r, nc_error *err) {
    nc_status status = open_data(r, 1, 0, err);
    if (status == NC_OK && r->data.source.text)
        status = nc_hlx_bpe_train(&r->bpe, r->data.source.tokens, r->data.train_bytes,
                                  (uint32_t)r->o->vocab, NULL, on_learned, r);
    nc_hlx_data_close(&r->data);
    return status;
}

/* The folder that a model comes from, or "". */
static path home(const options *o) {
    path p = {""};
    char *slash;
    struct stat info;
    const char *from = o->resume ? o->out : o->init ? o->init : o->model;
    if (!from) return p;
    snprintf(p.text, sizeof p.text, "%.1000s", from);
    if (stat(from, &info) == 0 && S_ISDIR(info.st_mode)) return p;
    slash = strrchr(p.text, '/'); /* it is a file */
    snprintf(slash ? slash : p.text, 2, "%s", slash ? "" : ".");
    return p;
}

/* Without a tokenizer, a model of others reads tokens alone. */
static nc_status check_no_text(run *r, const char *folder, nc_error *err) {
    const nc_status status = open_data(r, 1, 0, err);
    const int text = r->data.source.text != 0;
    nc_hlx_data_close(&r->data);
    if (status != NC_OK || !text) return status;
    snprintf(err->message, sizeof err->message,
             "no tokenizer in '%.60s': give --tokenizer FILE, --vocab N to learn one, or "
             "--token-bytes N",
             folder);
    return NC_ERR_ARG;
}

/* The tokenizer that is given, or the model's; else what --vocab asks for. */
static nc_status open_tokenizer(run *r, nc_error *err) {
    const options *o = r->o;
    const path from = home(o), kept = find_tokenizer(from.text);
    const char *name = o->tokenizer                   ? o->tokenizer
                       : from.text[0] && kept.text[0] ? kept.text
                                                      : NULL;
    if (name && o->token_bytes != 1) return nc_hlx_bpe_load(&r->bpe, name, NULL, err);
    r->learned = o->vocab > 256 && o->token_bytes < 0 && !o->resume && !o->model;
    if (r->learned) return learn_tokenizer(r, err);
    return o->init && o->token_bytes < 0 ? check_no_text(r, from.text, err) : NC_OK;
}

/* What the options say of a shape, over that of the preset, of --init or of a checkpoint. */
static void resize(const options *o, nc_hlx_config *c) {
    if (o->layers >= 0) c->num_layers = (uint32_t)o->layers;
    if (o->width >= 0) c->d_model = (uint32_t)o->width;
    if (o->width >= 0) c->ffn_dim = 4 * c->d_model;
    if (o->heads >= 0) c->num_heads = (uint32_t)o->heads;
    if (o->context >= 0) c->max_seq_len = (uint32_t)o->context;
    if (o->ffn >= 0) c->ffn_dim = (uint32_t)o->ffn;
    if (o->kv_heads >= 0) c->num_kv_heads = o->kv_heads == c->num_heads ? 0 : (uint32_t)o->kv_heads;
    if (o->llama) {
        c->rms_norm = c->rotary = c->gated_ffn = 1;
        c->biases = NC_HLX_BIASES_NONE;
        c->activation = NC_HLX_SILU;
    }
    if (o->batch >= 0) c->batch_size = (uint32_t)o->batch;
    if (o->accumulate >= 0) c->micro_batches = (uint32_t)o->accumulate;
    if (o->dropout >= 0) c->dropout = (float)o->dropout;
    if (o->tied) c->tied_output = 1;
    if (o->flash) c->flash = 1;
    if (o->recompute) c->recompute = 1;
    if (o->bf16) c->bf16 = c->flash = 1;
}

/* Size of the vocabulary: what the options say, that of --init, or that of the tokenizer. */
static uint32_t vocabulary(const run *r, uint32_t of_shape) {
    const options *o = r->o;
    const uint32_t tokens = r->bpe ? nc_hlx_bpe_vocab(r->bpe) : 0;
    if (r->learned && tokens) return tokens;
    if (o->vocab >= 0 && o->vocab < tokens) {
        fprintf(stderr, "hlx_train: --vocab %.0f: the tokenizer has %u tokens\n", o->vocab,
                (unsigned)tokens);
        exit(2);
    }
    if (o->vocab >= 0) return (uint32_t)o->vocab;
    return tokens && !o->init ? tokens : of_shape;
}

/* A fresh model, or that of --init. */
static nc_status new_model(run *r, nc_error *err) {
    const options *o = r->o;
    nc_hlx_import_options how = {0};
    nc_hlx_config c;
    nc_status status = NC_OK;
    if (nc_hlx_preset(o->preset ? o->preset : "tiny", &c) != NC_OK)
        bad_usage("unknown preset", o->preset);
    if (o->init) status = nc_hlx_read_config(&c, o->init, err);
    if (status != NC_OK) return status;
    c.batch_size = 8;
    resize(o, &c);
    if (!c.head_size && c.d_model % c.num_heads) bad_usage("no multiple of --heads:", "--width");
    c.vocab_size = vocabulary(r, c.vocab_size);
    status = nc_hlx_create(&r->model, &c, NULL);
    if (status != NC_OK) return status;
    nc_hlx_init_weights(r->model, (uint64_t)otherwise(o->seed, 1));
    how.resize_positions = o->context >= 0;
    how.resize_vocab = o->vocab >= 0;
    return o->init ? nc_hlx_import_with(r->model, o->init, &how, err) : NC_OK;
}

/* Exits where an option says of the run what its checkpoint says otherwise. */
static void check_resumed(const run *r, uint64_t seed) {
    const options *o = r->o;
    const nc_hlx_config *c = nc_hlx_get_config(r->model);
    nc_hlx_config want = *c, preset = *c;
    size_t i;
    if (o->preset && nc_hlx_preset(o->preset, &preset) != NC_OK)
        bad_usage("unknown preset", o->preset);
    want.num_layers = preset.num_layers, want.d_model = preset.d_model;
    want.num_heads = preset.num_heads, want.ffn_dim = preset.ffn_dim;
    want.max_seq_len = preset.max_seq_len;
    resize(o, &want);
    if (o->vocab >= 0 && (!r->bpe || o->vocab < c->vocab_size))
        want.vocab_size = (uint32_t)o->vocab; /* a text may have had fewer byte pairs */
    {
        const struct {
            const char *name;
            double asked, saved;
        } all[] = {{"--layers", want.num_layers, c->num_layers},
                   {"--width", want.d_model, c->d_model},
                   {"--heads", want.num_heads, c->num_heads},
                   {"--kv-heads", want.num_kv_heads, c->num_kv_heads},
                   {"--llama", want.rms_norm + want.rotary + want.gated_ffn,
                    c->rms_norm + c->rotary + c->gated_ffn},
                   {"--context", want.max_seq_len, c->max_seq_len},
                   {"--ffn", want.ffn_dim, c->ffn_dim},
                   {"--batch", want.batch_size, c->batch_size},
                   {"--accumulate", want.micro_batches, c->micro_batches},
                   {"--dropout", (double)want.dropout, (double)c->dropout},
                   {"--tied", want.tied_output, c->tied_output},
                   {"--bf16", want.bf16, c->bf16},
                   {"--flash", want.flash, c->flash},
                   {"--recompute", want.recompute, c->recompute},
                   {"--vocab", want.vocab_size, c->vocab_size},
                   {"--seed", otherwise(o->seed, (double)seed), (double)seed}};
        for (i = 0; i < COUNT(all); i++)
            if (all[i].asked != all[i].saved) {
                fprintf(stderr,
                        "hlx_train: %s would be %.9g: the run in '%s' has %.9g (leave it out%s)\n",
                        all[i].name, all[i].asked, o->out, all[i].saved,
                        o->preset ? ", and --preset" : "");
                exit(2);
            }
    }
}

/* What this run is about, as its checkpoints keep it. */
static nc_hlx_run describe(const run *r) {
    const nc_hlx_file *train = &r->data.source.file, *valid = &r->data.valid_source.file;
    nc_hlx_run now;
    memset(&now, 0, sizeof now);
    now.data_bytes = train->bytes;
    now.data_digest = nc_hlx_fingerprint(train->data, train->bytes);
    now.valid_bytes = valid->bytes;
    if (valid->bytes) now.valid_digest = nc_hlx_fingerprint(valid->data, valid->bytes);
    if (r->bpe) now.tokenizer = nc_hlx_bpe_digest(r->bpe);
    now.token_bytes = r->data.source.file_token_bytes;
    return now;
}

/* Add what to do about it. */
static nc_status more(nc_error *err, const char *advice) {
    strncat(err->message, advice, sizeof err->message - 1 - strlen(err->message));
    return err->status;
}

/* Whether the run had tokens of this kind, before the data is read in them. */
static nc_status check_tokens(const run *r, nc_error *err) {
    const nc_hlx_run *saved = nc_hlx_get_run(r->model);
    nc_hlx_run now = *saved;
    if (r->o->token_bytes >= 0 && saved->token_bytes) now.token_bytes = (uint32_t)r->o->token_bytes;
    now.tokenizer = r->bpe ? nc_hlx_bpe_digest(r->bpe) : 0;
    if (nc_hlx_run_check(saved, &now, err) == NC_OK) return NC_OK;
    return more(err, !r->bpe && saved->tokenizer ? "; give --tokenizer FILE" : "");
}

/* Go on with the run of the checkpoint, of which loader is the position: or say why not. */
static nc_status continue_run(run *r, const nc_hlx_loader *loader, nc_error *err) {
    nc_hlx_run *saved = nc_hlx_get_run(r->model), now = describe(r), other = *saved;
    nc_status status = nc_hlx_run_check(saved, &now, err);
    const uint64_t windows = (r->data.valid.count - 1) / r->data.valid.seq;
    const double judged =
        r->o->eval_windows < (double)windows ? r->o->eval_windows : (double)windows;
    r->data.train.seed = loader->seed;
    r->data.train.next = loader->next;
    if (status != NC_OK) { /* but for the data? */
        other.data_bytes = now.data_bytes, other.data_digest = now.data_digest;
        other.valid_bytes = now.valid_bytes, other.valid_digest = now.valid_digest;
        if (nc_hlx_run_check(&other, &now, NULL) != NC_OK) return status;
        if (!r->o->other_data) return more(err, "; --other-data goes on with it");
        r->data.train.next = 0;
        saved->best_step = 0;
    }
    if (saved->best_step && judged > 0 && (double)saved->best_windows != judged) {
        printf("validation over %.0f windows, not %u: the best loss begins anew\n", judged,
               (unsigned)saved->best_windows);
        saved->best_step = 0;
    }
    now.valid_step = saved->valid_step;
    if (saved->best_step) {
        now.best_step = saved->best_step, now.best_loss = saved->best_loss;
        now.best_windows = saved->best_windows, now.worse = saved->worse;
    }
    *saved = now;
    return NC_OK;
}

/* Tokenizer, model and data, from the options or from the checkpoint. */
static nc_status open_run(run *r, nc_error *err) {
    const options *o = r->o;
    nc_hlx_loader saved = {0};
    const nc_hlx_config *c;
    nc_status status = NC_OK;
    if (o->resume)
        status =
            nc_hlx_load(&r->model, &saved, in_folder(o->out, "checkpoint.bin").text, 0, NULL, err);
    if (status == NC_OK) status = open_tokenizer(r, err);
    if (status == NC_OK && o->resume) {
        check_resumed(r, saved.seed);
        status = check_tokens(r, err);
    }
    if (status == NC_OK && !o->resume) status = new_model(r, err);
    if (status != NC_OK) return status;
    c = nc_hlx_get_config(r->model);
    status = open_data(r, c->max_seq_len, c->vocab_size, err);
    if (status == NC_ERR_MISMATCH && !o->resume && !r->bpe && o->vocab < 0)
        return more(err, "; give --vocab N");
    if (status == NC_OK && o->resume) return continue_run(r, &saved, err);
    if (status == NC_OK) *nc_hlx_get_run(r->model) = describe(r);
    return status;
}

static double windows_of_step(const run *r) {
    const nc_hlx_config *c = nc_hlx_get_config(r->model);
    return (double)c->batch_size * c->micro_batches;
}

static double windows_of_epoch(const run *r) {
    return (double)((r->data.train.count - 1) / r->data.train.seq);
}

static double epochs_in_steps(const run *r, double epochs) {
    const double steps = ceil(epochs * windows_of_epoch(r) / windows_of_step(r));
    return steps < 1e9 ? steps : 1e9;
}

/* Where training ends, and the settings of the optimiser: from the options, else from the
   checkpoint, else the defaults. */
static nc_status plan(run *r, nc_error *err) {
    const options *o = r->o;
    const nc_hlx_adamw *saved = nc_hlx_get_adamw(r->model);
    nc_hlx_adamw *a = &r->adamw;
    const int fresh = !(saved->lr > 0.0f);
    double steps = o->steps, decay;
    *a = *saved;
    if (o->epochs >= 0) steps = epochs_in_steps(r, o->epochs);
    if (steps < 0) steps = fresh || !saved->decay_steps ? 1000 : saved->decay_steps;
    r->steps = (uint64_t)steps;
    decay = otherwise(o->decay, fresh ? steps : saved->decay_steps);
    if (fresh) {
        a->beta2 = 0.99f, a->weight_decay = 0.1f, a->clip_norm = 1.0f;
        a->warmup_steps = decay < 1000 ? (uint32_t)(decay / 10) : 100;
    }
    if (fresh || o->lr >= 0) {
        a->lr = (float)otherwise(o->lr, 1e-3);
        a->lr_min = (float)(otherwise(o->lr, 1e-3) / 10);
    }
    if (o->lr_min >= 0) a->lr_min = (float)o->lr_min;
    if (o->beta1 >= 0) a->beta1 = (float)o->beta1;
    if (o->beta2 >= 0) a->beta2 = (float)o->beta2;
    if (o->weight_decay >= 0) a->weight_decay = (float)o->weight_decay;
    if (o->clip >= 0) a->clip_norm = (float)o->clip;
    if (o->warmup >= 0) a->warmup_steps = (uint32_t)o->warmup;
    a->decay_steps = (uint32_t)decay;
    return nc_hlx_adamw_check(a, err);
}

/* Open the device that --device names and move the model there. */
static int open_device(run *r) {
    const options *o = r->o;
    nc_gpu_desc desc = {0};
    nc_error err;
    nc_status status;
    if (!strcmp(o->device, "cpu")) return 0;
    desc.kind = !strcmp(o->device, "cuda") ? NC_GPU_CUDA : NC_GPU_VULKAN;
    desc.kernel_path = getenv("NC_KERNEL_PATH");
    desc.library = getenv("NC_GPU_LIBRARY"); /* another driver than the system's */
    status = nc_gpu_open(&r->device, &desc, &err);
    if (status != NC_OK) return cli_refused(o->device, status, &err);
    status = nc_hlx_gpu_create(&r->gpu, r->device, r->model, &r->adamw);
    if (status != NC_OK) {
        fprintf(stderr, "hlx_train: %s: %s: %s\n", o->device, nc_status_str(status),
                nc_gpu_last_error(r->device));
        return 1;
    }
    printf("training on %s\n", nc_gpu_get_caps(r->device)->name);
    return 0;
}

/* Make the folder the run's: from here on something is written. */
static int begin_files(const run *r) {
    const options *o = r->o;
    const int words = r->bpe && nc_hlx_bpe_pattern(r->bpe) == NC_HLX_PATTERN_WORDS;
    nc_error err;
    nc_status status = NC_OK;
    if (make_folder(o->out)) return fprintf(stderr, "hlx_train: cannot create '%s'\n", o->out), 1;
    if (o->overwrite) remove_run(o->out);
    if (r->bpe && !o->resume)
        status = nc_hlx_bpe_save(
            r->bpe, in_folder(o->out, words ? "tokenizer.bpe" : "tokenizer.json").text, &err);
    if (status == NC_ERR_UNSUPPORTED) /* a form that is read, not written */
        printf("give --tokenizer %s with --resume too: it cannot be kept in '%s'\n", o->tokenizer,
               o->out);
    else if (status != NC_OK)
        return cli_refused("tokenizer", status, &err);
    return 0;
}

/* -- training -------------------------------------------------------------------------- */

/* Keep the model in a file of the folder. */
static nc_status save_as(run *r, const char *name) {
    nc_error err = {NC_OK, 0, 0, ""};
    nc_status status = r->gpu ? nc_hlx_gpu_download(r->gpu) : NC_OK;
    if (status == NC_OK)
        status = nc_hlx_save(r->model, &r->data.train, in_folder(r->o->out, name).text, &err);
    if (status != NC_OK) (void)cli_refused("checkpoint", status, &err);
    return status;
}

static nc_status save(run *r, const logs *l) {
    sync_logs(l);
    r->last_save = seconds();
    return save_as(r, "checkpoint.bin");
}

/* -- training: pace -------------------------------------------------------------------- */

/* Operations that are counted for a token (usage: --peak). */
static double flops_of_token(const run *r) {
    const nc_hlx_config *c = nc_hlx_get_config(r->model);
    const double head = c->head_size ? c->head_size : c->d_model / c->num_heads;
    uint64_t parameters, bytes;
    double n;
    (void)nc_hlx_footprint(c, &parameters, &bytes);
    n = (double)parameters; /* tables that are looked up, not multiplied by, do not count */
    if (!c->tied_output) n -= (double)c->vocab_size * c->d_model;
    if (!c->rotary) n -= (double)c->max_seq_len * c->d_model;
    return 6 * n + 6.0 * c->num_layers * c->num_heads * head * r->data.train.seq;
}

#if defined(__x86_64__) && defined(__GNUC__)
#include <immintrin.h>
/* Operations of some independent chains of fused multiply-adds; *out keeps them from being left out. */
__attribute__((target("avx512f"))) static double multiply_512(float *out) {
    __m512 x[24], m = _mm512_set1_ps(0.999f);
    int i, j;
    for (j = 0; j < 24; j++) x[j] = _mm512_set1_ps((float)j);
    for (i = 0; i < 20000; i++) {
#pragma GCC unroll 24
        for (j = 0; j < 24; j++) x[j] = _mm512_fmadd_ps(x[j], m, m);
    }
    for (j = 1; j < 24; j++) x[0] = _mm512_add_ps(x[0], x[j]);
    *out += _mm512_cvtss_f32(x[0]);
    return 20000.0 * 24 * 16 * 2;
}

__attribute__((target("avx2,fma"))) static double multiply_256(float *out) {
    __m256 x[12], m = _mm256_set1_ps(0.999f);
    int i, j;
    for (j = 0; j < 12; j++) x[j] = _mm256_set1_ps((float)j);
    for (i = 0; i < 20000; i++) {
#pragma GCC unroll 12
        for (j = 0; j < 12; j++) x[j] = _mm256_fmadd_ps(x[j], m, m);
    }
    for (j = 1; j < 12; j++) x[0] = _mm256_add_ps(x[0], x[j]);
    *out += _mm256_cvtss_f32(x[0]);
    return 20000.0 * 12 * 8 * 2;
}

static double multiply(float *out) {
    return nc_hlx_simd() == 2 ? multiply_512(out) : nc_hlx_simd() == 1 ? multiply_256(out) : 0;
}
#else
static double multiply(float *out) { return 0 * (double)*out; }
#endif

/* Operations a second of one thread, the best of some short tries; 0: not known. */
static double measure_thread(void) {
    double best = 0;
    float sum = 0;
    int i;
    for (i = 0; i < 30; i++) {
        const double start = seconds(), n = multiply(&sum), rate = n / (seconds() - start);
        if (rate > best) best = rate;
    }
    return sum < 0 ? 0 : best; /* it is not: the chains stay positive */
}

/* And of all, side by side. */
static double measure_peak(void) {
    double all = 0;
#ifdef _OPENMP
#pragma omp parallel reduction(+ : all)
#endif
    all += measure_thread();
    return all;
}

static void start_pace(run *r) {
    r->pace.flops = flops_of_token(r);
    r->pace.peak = 1e9 * otherwise(r->o->peak, 0);
    if (r->o->peak < 0 && !r->gpu) r->pace.peak = measure_peak();
    if (r->pace.peak > 0)
        printf("%.2f GFLOP a thousand tokens; %s peak %.0f GFLOP/s\n", r->pace.flops / 1e6,
               r->o->peak < 0 ? "measured" : "given", r->pace.peak / 1e9);
    r->last_save = seconds();
}

/* "12:34 left", with hours where there are some. */
static void format_left(char out[32], double left) {
    const unsigned long s = left < 1e8 ? (unsigned long)left : 100000000;
    if (s < 3600)
        snprintf(out, 32, "%lu:%02lu left", s / 60, s % 60);
    else
        snprintf(out, 32, "%lu:%02lu:%02lu left", s / 3600, s / 60 % 60, s % 60);
}

/* "12,345" or "1.23 M" tokens. */
static void format_tokens(char out[32], double tokens) {
    if (tokens < 1e6)
        snprintf(out, 32, "%.0f tokens", tokens);
    else
        snprintf(out, 32, "%.*f %c tokens", tokens < 1e8 ? 2 : 0,
                 tokens < 1e9 ? tokens / 1e6 : tokens / 1e9, tokens < 1e9 ? 'M' : 'G');
}

/* What a step took, beside those of the last seconds. */
static void keep_pace(run *r, double tokens, double took) {
    const double fade = exp(-took / 10);
    r->pace.tokens = fade * r->pace.tokens + tokens;
    r->pace.seconds = fade * r->pace.seconds + took;
}

/* Whole lines from time to time or, on a terminal, one that is drawn again. */
static void progress(run *r, const record *now) {
    const nc_hlx_stats *s = &now->stats;
    const double speed = r->pace.tokens / r->pace.seconds;
    const double of_step = windows_of_step(r) * r->data.train.seq;
    const int filled = (int)(30 * s->step / (r->steps ? r->steps : 1)), last = s->step == r->steps;
    char tokens[32], left[32], mfu[32] = "";
    int i;
    format_tokens(tokens, (double)now->tokens);
    format_left(left, (double)(r->steps - s->step) * of_step / speed);
    if (r->pace.peak > 0)
        snprintf(mfu, sizeof mfu, "  MFU %.1f %%", 100 * speed * r->pace.flops / r->pace.peak);
    if (!r->terminal) {
        if (s->step % 50 == 0 || last || s->step == 1)
            printf("step %5llu  loss %.4f  lr %.2e  norm %.3f  %s  %.0f tokens/s%s  %s\n",
                   (unsigned long long)s->step, (double)s->loss, (double)s->lr,
                   (double)s->grad_norm, tokens, speed, mfu, left);
        return;
    }
    if (!last && seconds() - r->pace.shown < 0.1) return;
    r->pace.shown = seconds();
    printf("\r[");
    for (i = 0; i < 30; i++) putchar(i < filled ? '#' : '.');
    printf("] %llu/%llu  loss %.4f  %s  %.0f tokens/s%s  %s\033[K%s", (unsigned long long)s->step,
           (unsigned long long)r->steps, (double)s->loss, tokens, speed, mfu, left,
           last ? "\n" : "");
    fflush(stdout);
}

/* What is printed next begins a line. */
static void new_line(const run *r) {
    if (r->terminal) fputs("\r\033[K", stdout);
}

/* -- training: validation -------------------------------------------------------------- */

static int is_interrupted(void *user, uint64_t done, uint64_t total) {
    (void)user, (void)done, (void)total;
    return interrupted;
}

static uint32_t all_windows(const run *r) {
    return (uint32_t)((r->data.valid.count - 1) / r->data.valid.seq);
}

/* Windows of every validation. */
static uint32_t judged_windows(const run *r) {
    const uint32_t all = all_windows(r);
    return r->o->eval_windows < all ? (uint32_t)r->o->eval_windows : all;
}

/* Mean loss over the first windows; NC_ERR_CANCELLED where it is interrupted. */
static nc_status evaluate(run *r, uint32_t windows, float *loss) {
    const nc_hlx_loader *valid = &r->data.valid;
    const nc_status status =
        r->gpu ? nc_hlx_gpu_evaluate(r->gpu, valid, windows, is_interrupted, NULL, loss)
               : nc_hlx_evaluate_progress(r->model, valid, windows, is_interrupted, NULL, loss);
    new_line(r);
    if (status == NC_ERR_CANCELLED)
        printf("interrupted in the validation: --resume does it again\n");
    else if (status != NC_OK)
        (void)cli_refused("validation", status, NULL);
    return status;
}

static void print_loss(const run *r, const char *what, double loss, uint32_t windows) {
    const nc_hlx_data *d = &r->data;
    printf("step %llu: %s %.4f over %u windows", (unsigned long long)nc_hlx_step(r->model), what,
           loss, (unsigned)windows);
    if (d->valid.count != d->valid_bytes) /* comparable between tokenizers */
        printf(", %.4f nats/byte", loss * (double)d->valid.count / (double)d->valid_bytes);
    putchar('\n');
}

/* Validate, always over the same windows, and keep the best. */
static nc_status judge(run *r, logs *l) {
    nc_hlx_run *kept = nc_hlx_get_run(r->model);
    const uint64_t step = nc_hlx_step(r->model);
    const uint32_t windows = judged_windows(r);
    float loss;
    nc_status status = evaluate(r, windows, &loss);
    if (status != NC_OK) return status;
    print_loss(r, "validation loss", (double)loss, windows);
    kept->valid_step = step;
    kept->worse++;
    if (!kept->best_step || loss < kept->best_loss) {
        kept->best_step = step, kept->best_loss = loss;
        kept->best_windows = windows, kept->worse = 0;
        if (r->o->patience > 0) status = save_as(r, "best.bin");
    }
    if (log_loss(l, step, (double)loss, 0)) {
        fprintf(stderr, "hlx_train: a log cannot be written: %s\n", strerror(errno));
        return NC_ERR_IO;
    }
    return status;
}

/* Whether patience is at its end. */
static int worn_out(const run *r) {
    const nc_hlx_run *kept = nc_hlx_get_run(r->model);
    if (r->o->patience < 0 || kept->worse < r->o->patience) return 0;
    printf("no better for %u validations: stopped, step %llu has loss %.4f\n",
           (unsigned)kept->worse, (unsigned long long)kept->best_step, (double)kept->best_loss);
    return 1;
}

/* -- training: steps ------------------------------------------------------------------- */

static int is_due(const run *r, double every, uint64_t step) {
    return step && (step == r->steps || step % (uint64_t)every == 0);
}

static int judge_is_due(const run *r, uint64_t step) {
    return r->o->eval_windows > 0 && is_due(r, r->o->eval_every, step);
}

/* Whether a checkpoint is due after a step: by steps, by passes over the data, by the clock. */
static int save_is_due(const run *r, uint64_t step) {
    const options *o = r->o;
    const double end = (double)r->data.train.next;
    const double each = o->save_epochs * windows_of_epoch(r);
    if (is_due(r, o->save_every, step)) return 1;
    if (o->save_epochs >= 0 && floor(end / each) > floor((end - windows_of_step(r)) / each))
        return 1;
    return o->save_minutes >= 0 && seconds() - r->last_save >= 60 * o->save_minutes;
}

/* Say why a step failed. */
static int explain(nc_status status, const nc_hlx_stats *s, uint64_t done) {
    if (status != NC_ERR_MATH) return cli_refused("training step", status, NULL);
    fprintf(
        stderr,
        "hlx_train: step %llu: the %s is not finite; the parameters are those of step %llu, the "
        "last checkpoint stays. --resume with a lower --lr or --clip may help.\n",
        (unsigned long long)done + 1, s->loss - s->loss == 0.0f ? "gradient" : "loss",
        (unsigned long long)done);
    return 1;
}

/* One step, with its row in the logs. */
static int one_step(run *r, logs *l) {
    const uint64_t done = nc_hlx_step(r->model);
    const double start = seconds(), tokens = windows_of_step(r) * r->data.train.seq;
    double took;
    record now;
    const nc_status status =
        r->gpu ? nc_hlx_gpu_train_step(r->gpu, &r->data.train, &r->adamw, &now.stats)
               : nc_hlx_train_step(r->model, &r->data.train, &r->adamw, &now.stats);
    if (status != NC_OK) return explain(status, &now.stats, done);
    took = seconds() - start;
    now.speed = tokens / took;
    keep_pace(r, tokens, took);
    now.tokens = now.stats.step * (uint64_t)tokens;
    progress(r, &now);
    if (!log_step(l, &now)) return 0;
    return fprintf(stderr, "hlx_train: a log cannot be written: %s\n", strerror(errno)), 1;
}

/* After a step: a checkpoint, then a validation, so that what fails there loses nothing. *saved is
   the step of the last checkpoint; 1: stop. */
static int after_step(run *r, logs *l, uint64_t *saved, nc_status *status) {
    const uint64_t step = nc_hlx_step(r->model);
    if (save_is_due(r, step)) {
        *status = save(r, l);
        *saved = step;
    }
    if (*status == NC_OK && judge_is_due(r, step)) {
        *status = judge(r, l);
        return *status != NC_OK || worn_out(r);
    }
    return *status != NC_OK;
}

/* Train until the last step, an interrupt or the end of patience; 1 on an error. */
static int train(run *r, logs *l, int again) {
    const nc_hlx_run *kept = nc_hlx_get_run(r->model);
    uint64_t saved = r->o->resume ? nc_hlx_step(r->model) : UINT64_MAX;
    uint64_t judged = kept->valid_step;
    nc_status status = again ? judge(r, l) : NC_OK;
    int stop = status != NC_OK || worn_out(r), cut;
    float loss;
    while (!stop && !interrupted && nc_hlx_step(r->model) < r->steps) {
        if (one_step(r, l)) return 1;
        stop = after_step(r, l, &saved, &status);
    }
    cut = status == NC_ERR_CANCELLED;
    if (status != NC_OK && !cut) return 1;
    if (saved != nc_hlx_step(r->model) || judged != kept->valid_step)
        if (save(r, l) != NC_OK) return 1;
    if (cut || (!stop && nc_hlx_step(r->model) != r->steps)) return 0;
    if (judged_windows(r) == 0 || all_windows(r) == judged_windows(r)) return 0;
    status = evaluate(r, all_windows(r), &loss);
    if (status != NC_OK) return status != NC_ERR_CANCELLED;
    print_loss(r, "last validation, of all:", (double)loss, all_windows(r));
    r->last_loss = (double)loss;
    return log_loss(l, nc_hlx_step(r->model), (double)loss, 1) != 0;
}

static int train_run(run *r) {
    const options *o = r->o;
    const nc_hlx_run *kept = nc_hlx_get_run(r->model);
    const uint64_t step = nc_hlx_step(r->model);
    const int again = o->resume && judge_is_due(r, step) && kept->valid_step < step;
    logs l;
    int failed = open_device(r) || begin_files(r);
    if (failed) return 1;
    start_pace(r);
    failed = open_logs(&l, r, again) || train(r, &l, again);
    close_logs(&l);
    if (!failed && r->gpu) failed = nc_hlx_gpu_download(r->gpu) != NC_OK;
    if (!failed)
        failed = write_svg(in_folder(o->out, "log.csv").text, in_folder(o->out, "loss.svg").text);
    if (!failed) printf("wrote %s/checkpoint.bin, log.csv, log.jsonl, loss.svg\n", o->out);
    return failed;
}

static void print_run(const run *r) {
    const nc_hlx_config *c = nc_hlx_get_config(r->model);
    uint64_t parameters, bytes;
    (void)nc_hlx_footprint(c, &parameters, &bytes);
    printf("%llu parameters, %.1f MB in all; %zu bytes of training text, %zu tokens of %u; SIMD "
           "level %d\n",
           (unsigned long long)parameters, (double)bytes / 1e6, r->data.train_bytes,
           r->data.train.count, (unsigned)c->vocab_size, nc_hlx_simd());
    if (r->o->resume) printf("at step %llu\n", (unsigned long long)nc_hlx_step(r->model));
}

/* A sample of a model that is not trained: a checkpoint, or what --init reads. */
static nc_status open_model(run *r, nc_error *err) {
    const options *o = r->o;
    const path checkpoint = in_folder(o->out, "checkpoint.bin");
    const char *name = o->resume ? checkpoint.text : o->model;
    nc_hlx_config c;
    struct stat info;
    nc_status status;
    if (o->resume || (stat(name, &info) == 0 && !S_ISDIR(info.st_mode)))
        status = nc_hlx_load_inference(&r->model, name, 1, NULL, err);
    else {
        status = nc_hlx_read_config(&c, name, err);
        if (status == NC_OK) status = nc_hlx_create_inference(&r->model, &c, NULL);
        if (status == NC_OK) status = nc_hlx_import_with(r->model, name, NULL, err);
    }
    if (status == NC_OK) status = open_tokenizer(r, err);
    return status == NC_OK ? check_tokens(r, err) : status;
}

static int sample_only(run *r, nc_error *err) {
    const nc_status status = open_model(r, err);
    return status == NC_OK ? write_sample(r->model, r->bpe, r->o)
                           : cli_refused("model", status, err);
}

static int train_and_sample(run *r, nc_error *err) {
    nc_status status = open_run(r, err);
    if (status == NC_OK) status = plan(r, err);
    if (status != NC_OK) return cli_refused(r->o->resume ? "resume" : "start", status, err);
    print_run(r);
    return train_run(r) ||
           (r->o->sample > 0 && !interrupted && write_sample(r->model, r->bpe, r->o));
}

/* Where the model is now; what happened on the way is in log.jsonl. */
static void print_json(const run *r) {
    const nc_hlx_run *kept = nc_hlx_get_run(r->model);
    uint64_t parameters, bytes;
    (void)nc_hlx_footprint(nc_hlx_get_config(r->model), &parameters, &bytes);
    fprintf(cli_json, "{\"step\": %llu, \"parameters\": %llu, \"digest\": \"%016llx\"",
            (unsigned long long)nc_hlx_step(r->model), (unsigned long long)parameters,
            (unsigned long long)nc_hlx_digest(r->model));
    if (r->o->data && kept->valid_step)
        fprintf(cli_json, ", \"best_validation_loss\": %.9g, \"validated_at_step\": %llu",
                (double)kept->best_loss, (unsigned long long)kept->valid_step);
    if (r->last_loss >= 0) fprintf(cli_json, ", \"validation_loss\": %.9g", r->last_loss);
    if (r->o->data) {
        fputs(", \"out\": ", cli_json);
        cli_json_text(cli_json, r->o->out);
    }
    fprintf(cli_json, ", \"interrupted\": %s}\n", interrupted ? "true" : "false");
}

int main(int argc, char **argv) {
    options o;
    run r;
    nc_error err = {NC_OK, 0, 0, ""};
    int failed;
    memset(&r, 0, sizeof r);
    argc = cli_begin(argc, argv, "hlx_train", NULL);
    parse(argc, argv, &o);
    if (o.json) cli_json_alone();
    r.o = &o;
    r.last_loss = -1;
    r.terminal = isatty(1);
    (void)setvbuf(stdout, NULL, _IOLBF, 0); /* lines can be followed */
    if (o.data && !o.resume && !o.overwrite && has_run(o.out)) {
        fprintf(stderr,
                "hlx_train: there is a run in '%s': --resume goes on with it, --overwrite begins "
                "anew, --out DIR leaves it\n",
                o.out);
        return 2;
    }
    catch_interrupts();
    failed = o.data ? train_and_sample(&r, &err) : sample_only(&r, &err);
    if (!failed) printf("parameters digest: %016llx\n", (unsigned long long)nc_hlx_digest(r.model));
    if (!failed && o.json) print_json(&r);
    nc_hlx_gpu_destroy(r.gpu);
    nc_gpu_close(r.device);
    nc_hlx_destroy(r.model);
    nc_hlx_bpe_destroy(r.bpe);
    nc_hlx_data_close(&r.data);
    return failed;
}
