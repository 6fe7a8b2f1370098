/* hlx_train: train a transformer on a text or token file, with checkpoints that resume to the bit, a
   CSV log, an SVG loss curve and samples.
   cc -O2 -fopenmp hlx_train.c -lm -o hlx_train */
#define _POSIX_C_SOURCE 200809L
#include <errno.h>
#include <signal.h>
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

static const char usage[] =
    "usage: hlx_train --data FILE [options]\n"
    "Trains on the first nine tenths of FILE and validates on the last.\n"
    "data\n"
    "  --vocab N        learn N - 256 byte pairs from the text first (default 256: bytes);\n"
    "                   DIR/tokenizer.bpe keeps them\n"
    "  --tokenizer FILE use these byte pairs\n"
    "  --token-bytes N  FILE holds little-endian tokens of 2 or 4 bytes; give --vocab too\n"
    "model\n"
    "  --preset NAME    tiny (default), small, medium, or demo (0.1 M parameters)\n"
    "  --layers N --width N --heads N --context N --ffn N   other sizes than the preset's\n"
    "                   (--ffn: default 4 times --width)\n"
    "  --init FOLDER    start from a GPT-2 model as transformers saves it, with its shape; with\n"
    "                   --context or --vocab its tables are cut, or extended by zeros\n"
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
    "  --batch N        windows per batch (default 8)\n"
    "  --accumulate N   batches per step, summed in order: the bits of one large batch (default "
    "1)\n"
    "  --lr X           peak learning rate (default 1e-3, decaying to a tenth at --decay)\n"
    "  --warmup N       steps of warm-up (default: a tenth of --decay, at most 100)\n"
    "  --decay N        step at which the decay ends (default: --steps)\n"
    "  --weight-decay X of matrices and embeddings (default 0.1)\n"
    "  --clip X         largest norm of the gradient (default 1)\n"
    "  --seed S         of weights, data order, dropout and samples (default 1)\n"
    "  --patience N     stop after N validations without a better loss; DIR/best.bin keeps the "
    "best\n"
    "files\n"
    "  --out DIR        checkpoint.bin, log.csv, loss.svg (default build/hlx)\n"
    "  --eval-every N   steps between validations (default 200, and at the end)\n"
    "  --eval-windows N windows of each but the last, which takes all (default 64)\n"
    "  --save-every N   steps between checkpoints (default 500, and at the end)\n"
    "  --resume         continue from DIR/checkpoint.bin\n"
    "sampling\n"
    "  --sample N       print N tokens written by the model at the end (default 0)\n"
    "  --prompt TEXT    start of the sample\n"
    "  --temperature X --top-k N --top-p X   (default 0.8, all, 0.95)\n"
    "The last line is the digest of all parameters: the same on every machine.\n"
    "Returns 0, 1 on an error, 2 on bad usage. Ctrl-C saves a checkpoint and stops.\n";

typedef struct options {
    const char *data, *preset, *out, *prompt, *device, *tokenizer, *init;
    double threads, steps, batch, accumulate, warmup, decay, seed, save_every, eval_every, sample,
        eval_windows;
    double layers, width, heads, context, ffn;
    double vocab, token_bytes, patience, lr, weight_decay, clip, dropout, temperature, top_k, top_p;
    int resume, tied, flash, recompute, bf16;
} options;

static volatile sig_atomic_t interrupted;

static void on_interrupt(int number) {
    (void)number;
    interrupted = 1;
}

static double seconds(void) {
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

static void bad_usage(const char *what, const char *name) {
    fprintf(stderr, "hlx_train: %s '%s'\n%s", what, name, usage);
    exit(2);
}

/* A numeric option: a whole number or any, from least up to most. */
typedef struct number_option {
    const char *name;
    double *value, least, most;
    int whole;
} number_option;

static void parse_number(const number_option *o, const char *text) {
    char *end;
    double value = text ? strtod(text, &end) : 0;
    if (!text || end == text || *end || !(value >= o->least && value <= o->most) ||
        (o->whole && value != (double)(long long)value)) {
        fprintf(stderr, "hlx_train: %s needs a %snumber from %g to %g\n", o->name,
                o->whole ? "whole " : "", o->least, o->most);
        exit(2);
    }
    *o->value = value;
}

static void parse(int argc, char **argv, options *o) {
    const number_option numbers[] = {{"--threads", &o->threads, 1, 4096, 1},
                                     {"--steps", &o->steps, 0, 1e9, 1},
                                     {"--batch", &o->batch, 1, 1e5, 1},
                                     {"--accumulate", &o->accumulate, 1, 1e5, 1},
                                     {"--warmup", &o->warmup, 0, 1e9, 1},
                                     {"--decay", &o->decay, 1, 1e9, 1},
                                     {"--seed", &o->seed, 0, 9e15, 1},
                                     {"--save-every", &o->save_every, 1, 1e9, 1},
                                     {"--eval-every", &o->eval_every, 1, 1e9, 1},
                                     {"--eval-windows", &o->eval_windows, 1, 1e6, 1},
                                     {"--sample", &o->sample, 0, 1e6, 1},
                                     {"--vocab", &o->vocab, 1, 1e6, 1},
                                     {"--layers", &o->layers, 1, 1e6, 1},
                                     {"--width", &o->width, 1, 1e6, 1},
                                     {"--heads", &o->heads, 1, 1e6, 1},
                                     {"--context", &o->context, 1, 1e6, 1},
                                     {"--ffn", &o->ffn, 1, 1e6, 1},
                                     {"--token-bytes", &o->token_bytes, 1, 4, 1},
                                     {"--patience", &o->patience, 1, 1e6, 1},
                                     {"--top-k", &o->top_k, 0, 1e6, 1},
                                     {"--lr", &o->lr, 1e-9, 10, 0},
                                     {"--weight-decay", &o->weight_decay, 0, 10, 0},
                                     {"--clip", &o->clip, 0, 1e9, 0},
                                     {"--dropout", &o->dropout, 0, 0.99, 0},
                                     {"--temperature", &o->temperature, 0, 100, 0},
                                     {"--top-p", &o->top_p, 0, 1, 0}};
    const struct {
        const char *name, **value;
    } texts[] = {{"--data", &o->data},     {"--preset", &o->preset}, {"--out", &o->out},
                 {"--prompt", &o->prompt}, {"--device", &o->device}, {"--tokenizer", &o->tokenizer},
                 {"--init", &o->init}};
    const struct {
        const char *name;
        int *value;
    } flags[] = {{"--resume", &o->resume},
                 {"--tied", &o->tied},
                 {"--flash", &o->flash},
                 {"--recompute", &o->recompute},
                 {"--bf16", &o->bf16}};
    const size_t n = sizeof numbers / sizeof *numbers, m = sizeof texts / sizeof *texts;
    int i;
    size_t k;
    memset(o, 0, sizeof *o);
    o->preset = "tiny";
    o->out = "build/hlx";
    o->prompt = "";
    o->device = "cpu";
    o->steps = 1000;
    o->batch = 8;
    o->accumulate = o->seed = o->token_bytes = o->clip = 1;
    o->save_every = 500;
    o->eval_every = 200;
    o->eval_windows = 64;
    o->lr = 1e-3;
    o->warmup = -1;
    o->weight_decay = 0.1;
    o->temperature = 0.8;
    o->top_p = 0.95;
    for (i = 1; i < argc; i++) {
        const char *name = argv[i], *value = i + 1 < argc ? argv[i + 1] : NULL;
        if (!strcmp(name, "--help")) {
            fputs(usage, stdout);
            exit(0);
        }
        for (k = 0; k < sizeof flags / sizeof *flags && strcmp(name, flags[k].name); k++) {
        }
        if (k < sizeof flags / sizeof *flags) {
            *flags[k].value = 1;
            continue;
        }
        i++;
        for (k = 0; k < n && strcmp(name, numbers[k].name); k++) {
        }
        if (k < n) {
            parse_number(&numbers[k], value);
            continue;
        }
        for (k = 0; k < m && strcmp(name, texts[k].name); k++) {
        }
        if (k == m) bad_usage("unknown option", name);
        if (!value) bad_usage("a value is missing after", name);
        *texts[k].value = value;
    }
    if (strcmp(o->device, "cpu") && strcmp(o->device, "vulkan") && strcmp(o->device, "cuda"))
        bad_usage("unknown device", o->device);
    if (!o->data) bad_usage("missing option", "--data FILE");
    if (o->token_bytes == 3) bad_usage("no tokens of", "3 bytes");
    if (o->token_bytes > 1 && (o->tokenizer == NULL) == (o->vocab == 0) && !o->resume && !o->init)
        bad_usage("a token file needs one of", "--vocab N, --tokenizer FILE");
    if (!o->decay) o->decay = o->steps;
    if (o->warmup < 0) o->warmup = o->decay < 1000 ? (long)(o->decay / 10) : 100;
}

/* Create the folder and its parents. */
static int make_folder(const char *path) {
    char part[1024];
    size_t i, n = strlen(path);
    if (n == 0 || n >= sizeof part) return -1;
    for (i = 1; i <= n; i++)
        if (path[i] == '/' || path[i] == 0) {
            memcpy(part, path, i);
            part[i] = 0;
            if (mkdir(part, 0777) && errno != EEXIST) return -1;
        }
    return 0;
}

/* Loss against step from log.csv: training in grey, its running mean in blue, validation red. */
static void write_svg(const char *csv_path, const char *svg_path) {
    char *text = NULL;
    size_t bytes = 0;
    FILE *csv = fopen(csv_path, "r"), *svg = open_memstream(&text, &bytes);
    nc_error err;
    char line[256];
    double top = 0, bottom = 1e9, last = 1, step, loss, lr, norm, speed, valid, mean = 0;
    const int x0 = 60, y0 = 20, w = 640, h = 320;
    int i, pass, fields;
    for (pass = 0; csv && svg && pass < 4; pass++) {
        int points = 0;
        rewind(csv);
        if (pass)
            fprintf(svg, "<polyline fill='none' stroke='%s' stroke-width='%s' points='",
                    pass == 1   ? "#c8c8c8"
                    : pass == 2 ? "#1f5fa8"
                                : "#c0392b",
                    pass == 1 ? "1" : "2");
        while (fgets(line, sizeof line, csv)) {
            fields =
                sscanf(line, "%lf,%lf,%lf,%lf,%lf,%lf", &step, &loss, &lr, &norm, &speed, &valid);
            if (fields < 5) continue;
            if (pass == 0) {
                if (loss > top) top = loss;
                if (loss < bottom) bottom = loss;
                if (fields == 6 && valid < bottom) bottom = valid;
                last = step;
                continue;
            }
            mean = points++ ? 0.9 * mean + 0.1 * loss : loss;
            if (pass == 3 && fields < 6) continue;
            fprintf(svg, "%.1f,%.1f ", x0 + w * step / last,
                    y0 + h *
                             (top - (pass == 1   ? loss
                                     : pass == 2 ? mean
                                                 : valid)) /
                             (top - bottom));
        }
        if (pass) {
            fprintf(svg, "'/>\n");
            continue;
        }
        if (top <= bottom) top = bottom + 1;
        fprintf(
            svg,
            "<svg xmlns='http://www.w3.org/2000/svg' width='760' height='400' "
            "font-family='sans-serif' font-size='12'>\n<rect width='760' height='400' "
            "fill='white'/>\n<text x='380' y='390' text-anchor='middle'>step</text>\n"
            "<text x='380' y='14' text-anchor='middle'>loss in nats per token: training (grey), "
            "running mean (blue), validation (red)</text>\n");
        for (i = 0; i <= 5; i++)
            fprintf(svg,
                    "<line x1='%d' x2='%d' y1='%.1f' y2='%.1f' stroke='#e8e8e8'/>"
                    "<text x='%d' y='%.1f' text-anchor='end'>%.2f</text>"
                    "<text x='%.1f' y='%d' text-anchor='middle'>%.0f</text>\n",
                    x0, x0 + w, y0 + h * i / 5.0, y0 + h * i / 5.0, x0 - 6, y0 + h * i / 5.0 + 4,
                    top - (top - bottom) * i / 5, x0 + w * i / 5.0, y0 + h + 18, last * i / 5);
    }
    if (svg) {
        fprintf(svg, "</svg>\n");
        if (fclose(svg) == 0 && csv && nc_file_write(svg_path, text, bytes, &err) != NC_OK)
            fprintf(stderr, "hlx_train: %s\n", err.message);
        free(text);
    }
    if (csv) fclose(csv);
}

static void progress(const nc_hlx_stats *s, long steps, double speed, int terminal) {
    int filled = (int)(30 * s->step / (uint64_t)(steps ? steps : 1)), i;
    if (!terminal) {
        if (s->step % 50 == 0 || (long)s->step == steps || s->step == 1)
            printf("step %5llu  loss %.4f  lr %.2e  norm %.3f  %.0f tokens/s\n",
                   (unsigned long long)s->step, (double)s->loss, (double)s->lr,
                   (double)s->grad_norm, speed);
        return;
    }
    printf("\r[");
    for (i = 0; i < 30; i++) putchar(i < filled ? '#' : '.');
    printf("] %llu/%ld  loss %.4f  %.0f tokens/s ", (unsigned long long)s->step, steps,
           (double)s->loss, speed);
    if ((long)s->step == steps) putchar('\n');
    fflush(stdout);
}

static int fail(const char *what, nc_status status, const nc_error *err) {
    fprintf(stderr, "hlx_train: %s: %s\n", what,
            err && err->message[0] ? err->message : nc_status_str(status));
    return 1;
}

/* Continue the prompt and print both; with a tokenizer in its tokens. */
static int sample(nc_hlx_model *model, const nc_hlx_bpe *bpe, const options *o) {
    const size_t count = (size_t)o->sample, bytes = strlen(o->prompt);
    nc_hlx_sampling how = {0};
    uint32_t *tokens = malloc((bytes + count + 1) * sizeof *tokens);
    unsigned char *out = malloc(64 * count + 1); /* no token is longer */
    nc_status status = NC_ERR_MEMORY;
    size_t n = 0, written = 0, i;
    how.temperature = (float)o->temperature;
    how.top_p = (float)o->top_p;
    how.top_k = (uint32_t)o->top_k;
    how.seed = (uint64_t)o->seed;
    if (out && tokens) {
        if (bpe) n = nc_hlx_bpe_encode(bpe, o->prompt, bytes, tokens);
        for (i = 0; i < bytes && !bpe; i++) tokens[n++] = (unsigned char)o->prompt[i];
        status = nc_hlx_sample_tokens(model, tokens, n, &how, tokens + n, count);
    }
    if (status == NC_OK && bpe)
        status = nc_hlx_bpe_decode(bpe, tokens + n, count, out, 64 * count, &written);
    for (i = 0; status == NC_OK && !bpe && i < count; i++)
        out[written++] = (unsigned char)(tokens[n + i] < 256 ? tokens[n + i] : '?');
    if (status == NC_OK) {
        printf("--- sample ---\n%s", o->prompt);
        for (i = 0; i < written; i++)
            putchar(out[i] == '\n' || (out[i] >= 32 && out[i] < 127) ? out[i] : '?');
        printf("\n--------------\n");
    }
    free(out);
    free(tokens);
    return status == NC_OK ? 0 : fail("sampling", status, NULL);
}

/* The optimiser, from the options. */
static nc_hlx_adamw schedule(const options *o) {
    nc_hlx_adamw adamw = {0};
    adamw.lr = (float)o->lr;
    adamw.lr_min = (float)(o->lr / 10);
    adamw.beta2 = 0.99f;
    adamw.weight_decay = (float)o->weight_decay;
    adamw.clip_norm = (float)o->clip;
    adamw.warmup_steps = (uint32_t)o->warmup;
    adamw.decay_steps = (uint32_t)o->decay;
    return adamw;
}

/* Open the device that --device names and move the model there. */
static int open_device(const options *o, nc_hlx_model *model, nc_gpu **device, nc_hlx_gpu **gpu) {
    nc_gpu_desc desc = {0};
    nc_hlx_adamw adamw = schedule(o);
    nc_error err;
    nc_status status;
    if (!strcmp(o->device, "cpu")) return 0;
    desc.kind = !strcmp(o->device, "cuda") ? NC_GPU_CUDA : NC_GPU_VULKAN;
    desc.kernel_path = getenv("NC_KERNEL_PATH");
    desc.library = getenv("NC_GPU_LIBRARY"); /* another driver than the system's */
    status = nc_gpu_open(device, &desc, &err);
    if (status != NC_OK) return fail(o->device, status, &err);
    status = nc_hlx_gpu_create(gpu, *device, model, &adamw);
    if (status != NC_OK) {
        fprintf(stderr, "hlx_train: %s: %s: %s\n", o->device, nc_status_str(status),
                nc_gpu_last_error(*device));
        return 1;
    }
    printf("training on %s\n", nc_gpu_get_caps(*device)->name);
    return 0;
}

/* A path in the output folder. */
static const char *in_folder(const options *o, const char *name, char path[1100]) {
    snprintf(path, 1100, "%.1000s/%s", o->out, name);
    return path;
}

/* Train until o->steps, on gpu unless that is null; log one line a step. */
static int train(nc_hlx_model *model, nc_hlx_gpu *gpu, nc_hlx_data *data, const options *o) {
    char checkpoint[1100], csv[1100], svg[1100], best_path[1100];
    const nc_hlx_config *c = nc_hlx_get_config(model);
    const double tokens = (double)c->batch_size * c->micro_batches * data->train.seq;
    const uint32_t all = (uint32_t)((data->valid.count - 1) / data->valid.seq);
    nc_hlx_adamw adamw = schedule(o);
    nc_hlx_stats stats = {0};
    nc_error err;
    nc_status status = NC_OK;
    uint64_t done = nc_hlx_step(model);
    float best = 1e30f;
    double worse = 0;
    FILE *log;
    int terminal = isatty(1), stop = 0;
    in_folder(o, "checkpoint.bin", checkpoint);
    in_folder(o, "best.bin", best_path);
    in_folder(o, "loss.svg", svg);
    log = fopen(in_folder(o, "log.csv", csv), o->resume ? "a" : "w");
    if (!log) return fprintf(stderr, "hlx_train: cannot write '%s'\n", csv), 1;
    if (!o->resume) fprintf(log, "step,loss,lr,grad_norm,tokens_per_s,validation_loss\n");
    while (done < (uint64_t)o->steps && !interrupted && !stop && status == NC_OK) {
        double start = seconds(), speed;
        float loss;
        int last, judge, save;
        status = gpu ? nc_hlx_gpu_train_step(gpu, &data->train, &adamw, &stats)
                     : nc_hlx_train_step(model, &data->train, &adamw, &stats);
        if (status != NC_OK) break;
        speed = tokens / (seconds() - start);
        done = stats.step;
        last = done == (uint64_t)o->steps;
        judge = last || done % (uint64_t)o->eval_every == 0;
        save = last || interrupted || done % (uint64_t)o->save_every == 0;
        fprintf(log, "%llu,%.6f,%.4e,%.5f,%.0f", (unsigned long long)done, (double)stats.loss,
                (double)stats.lr, (double)stats.grad_norm, speed);
        progress(&stats, (long)o->steps, speed, terminal);
        if (gpu && (judge || save))
            status = nc_hlx_gpu_download(gpu); /* evaluation and files are the host's */
        /* saved before it is judged: what fails there loses nothing */
        if (status == NC_OK && save) status = nc_hlx_save(model, &data->train, checkpoint, &err);
        if (status != NC_OK)
            return fprintf(log, "\n"), fclose(log), fail("checkpoint", status, &err);
        if (judge) { /* all of the held-out text at the end */
            uint32_t windows = last || all < o->eval_windows ? all : (uint32_t)o->eval_windows;
            status = nc_hlx_evaluate(model, &data->valid, windows, &loss);
            if (status != NC_OK)
                return fprintf(log, "\n"), fclose(log), fail("validation", status, NULL);
            fprintf(log, ",%.6f", (double)loss);
            printf("%sstep %llu: validation loss %.4f over %u windows", terminal ? "\n" : "",
                   (unsigned long long)done, (double)loss, (unsigned)windows);
            if (data->valid.count != data->valid_bytes) /* comparable between tokenizers */
                printf(", %.4f nats/byte",
                       (double)loss * (double)data->valid.count / (double)data->valid_bytes);
            putchar('\n');
            worse = loss < best ? 0 : worse + 1;
            if (loss < best && o->patience > 0)
                status = nc_hlx_save(model, &data->train, best_path, &err);
            if (loss < best) best = loss;
            if (o->patience > 0 && worse >= o->patience) {
                printf("no better for %.0f validations: stopped, %s has loss %.4f\n", worse,
                       best_path, (double)best);
                stop = 1;
            }
            if (status == NC_OK && stop && !save)
                status = nc_hlx_save(model, &data->train, checkpoint, &err);
        }
        fprintf(log, "\n");
        if (status != NC_OK) return fclose(log), fail("checkpoint", status, &err);
    }
    fclose(log);
    if (status == NC_ERR_ARG) return fail("a token lies outside the vocabulary", status, NULL);
    if (status == NC_ERR_MATH) {
        fprintf(
            stderr,
            "hlx_train: step %llu: the gradient is not finite; the parameters are those of step "
            "%llu, the last checkpoint stays. A lower --lr or --clip may help.\n",
            (unsigned long long)done + 1, (unsigned long long)done);
        return 1;
    }
    if (status != NC_OK) return fail("training step", status, NULL);
    write_svg(csv, svg);
    printf("wrote %s, %s, %s\n", checkpoint, csv, svg);
    return 0;
}

static int learned(void *user, uint64_t done, uint64_t total) {
    const int *terminal = (const int *)user;
    if (*terminal && (done % 16 == 0 || done == total)) {
        printf("\rbyte pairs: %llu of %llu%s", (unsigned long long)done, (unsigned long long)total,
               done == total ? "\n" : "");
        fflush(stdout);
    }
    return interrupted;
}

/* The tokenizer that the options ask for, null for plain bytes or tokens. */
static nc_status open_tokenizer(const options *o, nc_hlx_bpe **bpe, nc_error *err) {
    char path[1100];
    FILE *file;
    nc_hlx_file text;
    nc_status status;
    int terminal = isatty(1);
    *bpe = NULL;
    in_folder(o, "tokenizer.bpe", path);
    if (o->tokenizer) return nc_hlx_bpe_load(bpe, o->tokenizer, NULL, err);
    if (o->resume && (file = fopen(path, "rb")) != NULL) {
        fclose(file);
        return nc_hlx_bpe_load(bpe, path, NULL, err);
    }
    if (o->vocab <= 256 || o->token_bytes > 1 || o->resume) return NC_OK;
    status = nc_hlx_file_open(&text, o->data, err);
    if (status != NC_OK) return status;
    status = nc_hlx_bpe_train(bpe, text.data, text.bytes / 10 * 9, (uint32_t)o->vocab, NULL,
                              learned, &terminal);
    nc_hlx_file_close(&text);
    if (status != NC_OK) return status;
    return nc_hlx_bpe_save(*bpe, path, err);
}

/* The shape that the options ask for, over that of the preset or of --init. */
static void resize(const options *o, nc_hlx_config *config) {
    if (o->layers > 0) config->num_layers = (uint32_t)o->layers;
    if (o->width > 0) config->d_model = (uint32_t)o->width;
    if (o->width > 0) config->ffn_dim = 4 * config->d_model;
    if (o->heads > 0) config->num_heads = (uint32_t)o->heads;
    if (o->context > 0) config->max_seq_len = (uint32_t)o->context;
    if (o->ffn > 0) config->ffn_dim = (uint32_t)o->ffn;
    if (config->d_model % config->num_heads) bad_usage("no multiple of --heads:", "--width");
}

/* The weights of --init, or random ones. */
static nc_status start_weights(const options *o, nc_hlx_model *model, nc_error *err) {
    nc_hlx_import_options how = {0};
    how.resize_positions = o->context > 0;
    how.resize_vocab = o->vocab > 0;
    nc_hlx_init_weights(model, (uint64_t)o->seed);
    return o->init ? nc_hlx_import_with(model, o->init, &how, err) : NC_OK;
}

/* The model: a fresh one, that of --init, or that of the checkpoint. */
static nc_status open_model(const options *o, const nc_hlx_bpe *bpe, nc_hlx_model **model,
                            nc_hlx_loader *loader, nc_error *err) {
    nc_hlx_config config;
    char path[1100];
    nc_status status;
    if (nc_hlx_preset(o->preset, &config) != NC_OK) bad_usage("unknown preset", o->preset);
    if (o->resume)
        return nc_hlx_load(model, loader, in_folder(o, "checkpoint.bin", path), 0, NULL, err);
    if (o->init && (status = nc_hlx_read_config(&config, o->init, err)) != NC_OK) return status;
    resize(o, &config);
    config.batch_size = (uint32_t)o->batch;
    config.micro_batches = (uint32_t)o->accumulate;
    if (o->tied) config.tied_output = 1;
    config.flash = (uint32_t)o->flash;
    config.recompute = (uint32_t)o->recompute;
    config.bf16 = (uint32_t)o->bf16;
    config.dropout = (float)o->dropout;
    if (bpe)
        config.vocab_size = nc_hlx_bpe_vocab(bpe);
    else if (o->token_bytes > 1 && o->vocab > 0)
        config.vocab_size = (uint32_t)o->vocab;
    status = nc_hlx_create(model, &config, NULL);
    return status == NC_OK ? start_weights(o, *model, err) : status;
}

int main(int argc, char **argv) {
    options o;
    nc_hlx_data data = {0};
    nc_hlx_loader saved = {0};
    nc_hlx_model *model = NULL;
    nc_hlx_bpe *bpe = NULL;
    nc_hlx_gpu *gpu = NULL;
    nc_gpu *device = NULL;
    nc_error err = {NC_OK, 0, 0, ""};
    nc_status status;
    uint64_t parameters, bytes;
    int failed = 1;
    parse(argc, argv, &o);
#ifdef _OPENMP
    if (o.threads > 0) omp_set_num_threads((int)o.threads);
#endif
    if (make_folder(o.out)) return fprintf(stderr, "hlx_train: cannot create '%s'\n", o.out), 1;
    signal(SIGINT, on_interrupt);
    status = open_tokenizer(&o, &bpe, &err);
    if (status == NC_OK) status = open_model(&o, bpe, &model, &saved, &err);
    if (status == NC_OK)
        status =
            nc_hlx_data_open(&data, o.data, (uint32_t)o.token_bytes, o.token_bytes > 1 ? NULL : bpe,
                             nc_hlx_get_config(model)->max_seq_len, (uint64_t)o.seed, &err);
    if (status != NC_OK) {
        (void)fail(o.resume ? "resume" : "start", status, &err);
    } else {
        if (o.resume) { /* on with the checkpoint's windows */
            data.train.seed = saved.seed;
            data.train.next = saved.next;
        }
        (void)nc_hlx_footprint(nc_hlx_get_config(model), &parameters, &bytes);
        printf(
            "%llu parameters, %.1f MB in all; %zu bytes of training text, %zu tokens of %u; SIMD "
            "level %d\n",
            (unsigned long long)parameters, (double)bytes / 1e6, data.train_bytes, data.train.count,
            (unsigned)nc_hlx_get_config(model)->vocab_size, nc_hlx_simd());
        if (o.resume) printf("at step %llu\n", (unsigned long long)nc_hlx_step(model));
        failed = open_device(&o, model, &device, &gpu) || train(model, gpu, &data, &o) ||
                 (o.sample > 0 && sample(model, bpe, &o));
        if (!failed)
            printf("parameters digest: %016llx\n", (unsigned long long)nc_hlx_digest(model));
    }
    nc_hlx_gpu_destroy(gpu);
    nc_gpu_close(device);
    nc_hlx_destroy(model);
    nc_hlx_bpe_destroy(bpe);
    nc_hlx_data_close(&data);
    return failed;
}
