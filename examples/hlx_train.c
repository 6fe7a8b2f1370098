/* hlx_train: train a byte-level transformer on a text file, with checkpoints that resume to the
   bit, a CSV log, an SVG loss curve and samples.
   cc -O2 -fopenmp hlx_train.c -lm -o hlx_train */
#define _POSIX_C_SOURCE 200112L
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
#if defined(__has_include)
#if !__has_include(<vulkan/vulkan.h>)
#define NC_GPU_NO_VULKAN
#endif
#endif
#define NC_IMPLEMENTATION
#include "../nc_hlx.h"

static const char usage[] =
    "usage: hlx_train --data FILE [options]\n"
    "Trains on the first nine tenths of FILE and validates on the last.\n"
    "  --preset NAME    tiny (default), small, medium, or demo (0.1 M parameters)\n"
    "  --device NAME    cpu (default), vulkan or cuda: the same bits, kernels from $NC_KERNEL_PATH "
    "or\n"
    "                   the kernels folder beside this program (make kernels)\n"
    "  --threads N      OpenMP threads; never changes a result (default: all)\n"
    "  --steps N        train until step N (default 1000)\n"
    "  --batch N        windows per step (default 8)\n"
    "  --lr X           peak learning rate (default 1e-3, decaying to a tenth at --decay)\n"
    "  --decay N        step at which the decay ends (default: --steps)\n"
    "  --seed S         of weights and data order (default 1)\n"
    "  --out DIR        checkpoint.bin, log.csv, loss.svg (default build/hlx)\n"
    "  --save-every N   steps between checkpoints (default 500, and at the end)\n"
    "  --resume         continue from DIR/checkpoint.bin\n"
    "  --sample N       print N bytes written by the model at the end (default 0)\n"
    "  --prompt TEXT    start of the sample\n"
    "The last line is the digest of all parameters: the same on every machine.\n"
    "Returns 0, 1 on an error, 2 on bad usage. Ctrl-C saves a checkpoint and stops.\n";

typedef struct options {
    const char *data, *preset, *out, *prompt, *device;
    long threads, steps, batch, decay, seed, save_every, sample;
    double lr;
    int resume;
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

/* The value of a numeric option, or exit with a message. */
static double number(const char *name, const char *text, double least) {
    char *end;
    double value = text ? strtod(text, &end) : 0;
    if (!text || end == text || *end || !(value >= least) || value > 1e9) {
        fprintf(stderr, "hlx_train: %s needs a number from %g up\n", name, least);
        exit(2);
    }
    return value;
}

static void parse(int argc, char **argv, options *o) {
    int i;
    memset(o, 0, sizeof *o);
    o->preset = "tiny";
    o->out = "build/hlx";
    o->prompt = "";
    o->device = "cpu";
    o->steps = 1000;
    o->batch = 8;
    o->seed = 1;
    o->save_every = 500;
    o->lr = 1e-3;
    for (i = 1; i < argc; i++) {
        const char *name = argv[i], *value = i + 1 < argc ? argv[i + 1] : NULL;
        i++;
        if (!strcmp(name, "--help")) {
            fputs(usage, stdout);
            exit(0);
        } else if (!strcmp(name, "--resume")) {
            o->resume = 1;
            i--;
        } else if (!value) {
            fprintf(stderr, "hlx_train: %s is unknown or needs a value\n%s", name, usage);
            exit(2);
        } else if (!strcmp(name, "--data"))
            o->data = value;
        else if (!strcmp(name, "--preset"))
            o->preset = value;
        else if (!strcmp(name, "--out"))
            o->out = value;
        else if (!strcmp(name, "--prompt"))
            o->prompt = value;
        else if (!strcmp(name, "--threads"))
            o->threads = (long)number(name, value, 1);
        else if (!strcmp(name, "--steps"))
            o->steps = (long)number(name, value, 0);
        else if (!strcmp(name, "--batch"))
            o->batch = (long)number(name, value, 1);
        else if (!strcmp(name, "--decay"))
            o->decay = (long)number(name, value, 1);
        else if (!strcmp(name, "--seed"))
            o->seed = (long)number(name, value, 0);
        else if (!strcmp(name, "--save-every"))
            o->save_every = (long)number(name, value, 1);
        else if (!strcmp(name, "--sample"))
            o->sample = (long)number(name, value, 0);
        else if (!strcmp(name, "--lr"))
            o->lr = number(name, value, 1e-9);
        else if (!strcmp(name, "--device")) {
            if (strcmp(value, "cpu") && strcmp(value, "vulkan") && strcmp(value, "cuda")) {
                fprintf(stderr, "hlx_train: unknown device '%s'\n%s", value, usage);
                exit(2);
            }
            o->device = value;
        } else {
            fprintf(stderr, "hlx_train: unknown option '%s'\n%s", name, usage);
            exit(2);
        }
    }
    if (!o->data) {
        fprintf(stderr, "hlx_train: --data FILE is missing\n%s", usage);
        exit(2);
    }
    if (!o->decay) o->decay = o->steps;
}

static unsigned char *read_file(const char *path, size_t *n) {
    FILE *file = fopen(path, "rb");
    unsigned char *data = NULL;
    long size;
    if (file && fseek(file, 0, SEEK_END) == 0 && (size = ftell(file)) > 0) {
        rewind(file);
        data = malloc((size_t)size);
        *n = data ? fread(data, 1, (size_t)size, file) : 0;
    }
    if (file) fclose(file);
    return data;
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
    FILE *csv = fopen(csv_path, "r"), *svg = fopen(svg_path, "w");
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
        fprintf(svg,
                "<svg xmlns='http://www.w3.org/2000/svg' width='760' height='400' "
                "font-family='sans-serif' font-size='12'>\n<rect width='760' height='400' "
                "fill='white'/>\n<text x='380' y='390' text-anchor='middle'>step</text>\n"
                "<text x='380' y='14' text-anchor='middle'>loss in nats per byte: training (grey), "
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
        fclose(svg);
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

static int sample(nc_hlx_model *model, const options *o) {
    nc_hlx_sampling how = {0.8f, 0.95f, 0, 0, 0};
    unsigned char *out = malloc((size_t)o->sample);
    nc_status status = NC_ERR_MEMORY;
    how.seed = (uint64_t)o->seed;
    if (out)
        status = nc_hlx_sample(model, (const uint8_t *)o->prompt, strlen(o->prompt), &how, out,
                               (size_t)o->sample);
    if (status == NC_OK) {
        long i;
        printf("--- sample ---\n%s", o->prompt);
        for (i = 0; i < o->sample; i++)
            putchar(out[i] == '\n' || (out[i] >= 32 && out[i] < 127) ? out[i] : '?');
        printf("\n--------------\n");
    }
    free(out);
    return status == NC_OK ? 0 : fail("sampling", status, NULL);
}

/* The optimiser, from the options. */
static nc_hlx_adamw schedule(const options *o) {
    nc_hlx_adamw adamw = {0};
    adamw.lr = (float)o->lr;
    adamw.lr_min = (float)(o->lr / 10);
    adamw.beta2 = 0.99f;
    adamw.weight_decay = 0.1f;
    adamw.clip_norm = 1.0f;
    adamw.warmup_steps = (uint32_t)(o->decay < 1000 ? o->decay / 10 : 100);
    adamw.decay_steps = (uint32_t)o->decay;
    return adamw;
}

static const char *environment(const char *name) {
    const char *value = getenv(name);
    return value && *value ? value : NULL;
}

/* Open the device that --device names and move the model there. */
static int open_device(const options *o, nc_hlx_model *model, nc_gpu **device, nc_hlx_gpu **gpu) {
    nc_gpu_desc desc = {0};
    nc_hlx_adamw adamw = schedule(o);
    nc_error err;
    nc_status status;
    if (!strcmp(o->device, "cpu")) return 0;
    desc.kind = !strcmp(o->device, "cuda") ? NC_GPU_CUDA : NC_GPU_VULKAN;
    desc.kernel_path = environment("NC_KERNEL_PATH");
    desc.library = environment("NC_GPU_LIBRARY"); /* another driver than the system's */
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

/* Train until o->steps, on gpu unless that is null; log one line a step. */
static int train(nc_hlx_model *model, nc_hlx_gpu *gpu, nc_hlx_loader *loader, const options *o,
                 const unsigned char *valid, size_t valid_bytes, uint64_t done) {
    char checkpoint[1100], csv[1100], svg[1100];
    const nc_hlx_config *c = nc_hlx_get_config(model);
    nc_hlx_adamw adamw = schedule(o);
    nc_hlx_stats stats = {0};
    nc_error err;
    nc_status status;
    FILE *log;
    int terminal = isatty(1);
    double tokens = (double)c->batch_size * loader->seq;
    nc_hlx_loader held;
    (void)nc_hlx_loader_init(&held, valid, valid_bytes, loader->seq, 0);
    snprintf(checkpoint, sizeof checkpoint, "%s/checkpoint.bin", o->out);
    snprintf(csv, sizeof csv, "%s/log.csv", o->out);
    snprintf(svg, sizeof svg, "%s/loss.svg", o->out);
    log = fopen(csv, o->resume ? "a" : "w");
    if (!log) return fprintf(stderr, "hlx_train: cannot write '%s'\n", csv), 1;
    if (!o->resume) fprintf(log, "step,loss,lr,grad_norm,tokens_per_s,validation_loss\n");
    while (done < (uint64_t)o->steps && !interrupted) {
        double start = seconds(), speed;
        float loss;
        int last;
        status = gpu ? nc_hlx_gpu_train_step(gpu, loader, &adamw, &stats)
                     : nc_hlx_train_step(model, loader, &adamw, &stats);
        if (status != NC_OK) return fclose(log), fail("training step", status, NULL);
        speed = tokens / (seconds() - start);
        done = stats.step;
        last = done == (uint64_t)o->steps || interrupted;
        fprintf(log, "%llu,%.6f,%.4e,%.5f,%.0f", (unsigned long long)done, (double)stats.loss,
                (double)stats.lr, (double)stats.grad_norm, speed);
        progress(&stats, o->steps, speed, terminal);
        if (gpu && (last || done % 200 == 0 || done % (uint64_t)o->save_every == 0)) {
            status = nc_hlx_gpu_download(gpu); /* evaluation and files are the host's */
            if (status != NC_OK) return fclose(log), fail("device", status, NULL);
        }
        if (last || done % 200 == 0) { /* all of the held-out text at the end */
            uint32_t windows = last ? (uint32_t)((valid_bytes - 1) / loader->seq) : 64;
            status = nc_hlx_evaluate(model, &held, windows, &loss);
            if (status == NC_OK) {
                fprintf(log, ",%.6f", (double)loss);
                printf("%sstep %llu: validation loss %.4f over %u windows\n", terminal ? "\n" : "",
                       (unsigned long long)done, (double)loss, (unsigned)windows);
            }
        }
        fprintf(log, "\n");
        if (last || done % (uint64_t)o->save_every == 0) {
            status = nc_hlx_save(model, loader, checkpoint, &err);
            if (status != NC_OK) return fclose(log), fail("checkpoint", status, &err);
        }
    }
    fclose(log);
    write_svg(csv, svg);
    printf("wrote %s, %s, %s\n", checkpoint, csv, svg);
    return 0;
}

int main(int argc, char **argv) {
    char checkpoint[1100];
    options o;
    nc_hlx_config config;
    nc_hlx_loader loader;
    nc_hlx_model *model = NULL;
    nc_hlx_gpu *gpu = NULL;
    nc_gpu *device = NULL;
    nc_error err;
    nc_status status;
    uint64_t parameters, bytes, done = 0, seed;
    size_t n, split;
    unsigned char *text;
    int failed;
    parse(argc, argv, &o);
    if (nc_hlx_preset(strcmp(o.preset, "demo") ? o.preset : "tiny", &config) != NC_OK)
        return fprintf(stderr, "hlx_train: unknown preset '%s'\n", o.preset), 2;
    if (!strcmp(o.preset, "demo")) {
        config.d_model = 64;
        config.num_layers = 2;
        config.ffn_dim = 256;
        config.max_seq_len = 64;
    }
    config.batch_size = (uint32_t)o.batch;
#ifdef _OPENMP
    if (o.threads) omp_set_num_threads((int)o.threads);
#endif
    text = read_file(o.data, &n);
    if (!text) return fprintf(stderr, "hlx_train: cannot read '%s'\n", o.data), 1;
    split = n / 10 * 9;
    if (make_folder(o.out)) return fprintf(stderr, "hlx_train: cannot create '%s'\n", o.out), 1;
    snprintf(checkpoint, sizeof checkpoint, "%s/checkpoint.bin", o.out);
    status = nc_hlx_loader_init(&loader, text, split, config.max_seq_len, (uint64_t)o.seed);
    if (status != NC_OK || n - split <= config.max_seq_len)
        return free(text), fprintf(stderr, "hlx_train: '%s' is too short\n", o.data), 1;
    if (o.resume) {
        status = nc_hlx_load(&model, &loader, checkpoint, config.batch_size, NULL, &err);
        if (status != NC_OK) return free(text), fail("resume", status, &err);
    } else {
        status = nc_hlx_create(&model, &config, NULL);
        if (status != NC_OK) return free(text), fail("model", status, NULL);
        seed = (uint64_t)o.seed;
        nc_hlx_init_weights(model, seed);
    }
    done = nc_hlx_step(model);
    (void)nc_hlx_footprint(nc_hlx_get_config(model), &parameters, &bytes);
    printf("%llu parameters, %.1f MB in all; %zu bytes of training text; SIMD level %d\n",
           (unsigned long long)parameters, (double)bytes / 1e6, split, nc_hlx_simd());
    if (o.resume) printf("at step %llu\n", (unsigned long long)done);
    signal(SIGINT, on_interrupt);
    failed = open_device(&o, model, &device, &gpu) ||
             train(model, gpu, &loader, &o, text + split, n - split, done);
    if (!failed && o.sample) failed = sample(model, &o);
    if (!failed) printf("parameters digest: %016llx\n", (unsigned long long)nc_hlx_digest(model));
    nc_hlx_gpu_destroy(gpu);
    nc_gpu_close(device);
    nc_hlx_destroy(model);
    free(text);
    return failed;
}
