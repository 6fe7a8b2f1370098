/* axx_vit_digits: train a small vision transformer on 1,797 handwritten digits, run it on approximate
   multipliers, retrain it for them, and search which layer can do with which.
   cc -O2 -fopenmp axx_vit_digits.c -lm -o axx_vit_digits */
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>
#define NC_AXX_VIT
#define NC_IMPLEMENTATION
#include "../nc_axx.h"

static const char usage[] =
    "usage: axx_vit_digits [--json] [--data CSV] [--out PREFIX] [--epochs N] [--rounds N]\n"
    "                      [--load MODEL] [--save MODEL] [MULTIPLIER...]\n"
    "Trains a vision transformer on rows of 64 pixels and a label (default\n"
    "examples/data/digits.csv), or loads one; then prints its test accuracy in float32, with "
    "exact\n"
    "bytes and with approximate multipliers, before and after one epoch of retraining; then "
    "searches\n"
    "assignments of EvoApproxLib's multipliers to layers (N rounds of tree search, as many of "
    "genetic\n"
    "search) and writes PREFIX.svg and PREFIX.csv (default build/axx_vit_digits). MULTIPLIER is a "
    "name\n"
    "such as mul8s_1L2H or truncated:6, or a file (.i16 .i32 .npy .h .csv .c .blif).\n"
    "Returns 0, 1 on an error, 2 on bad usage.\n";

enum { ROWS = 1797, SIDE = 8, PIXELS = 64, CLASSES = 10, TRAIN = 1197, VALIDATION = 240 };
enum { SHIFTS = 5 }; /* of every image to train: as it is, and a pixel each way */
enum { TEST = ROWS - TRAIN - VALIDATION };
enum { MOST = 32, LAYERS = 64 };

static float pixels[ROWS][PIXELS];
static uint32_t labels[ROWS];
static float shifted[SHIFTS * TRAIN][PIXELS];
static uint32_t shifted_labels[SHIFTS * TRAIN];
static nc_axx_mult multipliers[MOST];
static nc_axx_engine *engines[MOST];
static uint32_t count;
static int json, terminal, rows_printed;

static nc_axx_images part(size_t first, size_t n) {
    nc_axx_images images;
    images.pixels = pixels[first];
    images.labels = labels + first;
    images.count = n;
    return images;
}

static int fail(const char *what, const char *why) {
    fprintf(stderr, "axx_vit_digits: %s: %s\n", what, why);
    return 1;
}

/* Rows in a fixed random order: the writers of the file's end are not those of its beginning. */
static int read_digits(const char *path) {
    FILE *file = fopen(path, "r");
    unsigned long long seed = 12;
    static int order[ROWS];
    int r, i, value, ok = file != NULL;
    for (r = 0; r < ROWS; r++) order[r] = r;
    for (r = ROWS; r-- > 1;) {
        int other, keep = order[r];
        seed = seed * 6364136223846793005ull + 1442695040888963407ull;
        other = (int)((seed >> 33) % (unsigned)(r + 1));
        order[r] = order[other];
        order[other] = keep;
    }
    for (r = 0; ok && r < ROWS; r++)
        for (i = 0; ok && i <= PIXELS; i++) {
            ok = fscanf(file, i ? ",%d" : "%d", &value) == 1 && value >= 0 && value <= 16;
            if (ok && i < PIXELS)
                pixels[order[r]][i] = (float)value / 8.0f - 1.0f;
            else if (ok && (ok = value < CLASSES) != 0)
                labels[order[r]] = (uint32_t)value;
        }
    if (file) fclose(file);
    return ok;
}

/* Images to train, each five times: moved by a pixel the empty edge comes in. */
static nc_axx_images shifted_images(void) {
    static const int dx[SHIFTS] = {0, 1, -1, 0, 0}, dy[SHIFTS] = {0, 0, 0, 1, -1};
    nc_axx_images images;
    int r, s, x, y;
    for (r = 0; r < TRAIN; r++)
        for (s = 0; s < SHIFTS; s++) {
            const int to = r * SHIFTS + s;
            shifted_labels[to] = labels[r];
            for (y = 0; y < SIDE; y++)
                for (x = 0; x < SIDE; x++) {
                    const int u = x - dx[s], v = y - dy[s];
                    shifted[to][y * SIDE + x] =
                        u >= 0 && v >= 0 && u < SIDE && v < SIDE ? pixels[r][v * SIDE + u] : -1.0f;
                }
        }
    images.pixels = shifted[0];
    images.labels = shifted_labels;
    images.count = SHIFTS * TRAIN;
    return images;
}

static void bar(const char *what, uint64_t done, uint64_t total, const char *more) {
    uint64_t i;
    if (!terminal) return;
    printf("\r%-10s [", what);
    for (i = 0; i < 30; i++) putchar(i < 30 * done / total ? '#' : '.');
    printf("] %llu/%llu %s%s", (unsigned long long)done, (unsigned long long)total, more,
           done == total ? "\n" : "");
    fflush(stdout);
}

static int watch(void *user, uint32_t step, uint32_t steps, float loss, float accuracy) {
    char more[48];
    (void)accuracy;
    snprintf(more, sizeof more, "loss %.3f   ", (double)loss);
    bar((const char *)user, step, steps, more);
    return 0;
}

static void assign_all(nc_axx_net *net, const nc_axx_engine *e) {
    uint32_t i;
    for (i = 0; i < nc_axx_net_layers(net); i++) (void)nc_axx_net_assign(net, i, e);
}

/* One epoch of straight-through training in the present mode. */
static nc_status retrain(nc_axx_net *net) {
    nc_axx_images images = part(0, TRAIN);
    nc_axx_training how;
    memset(&how, 0, sizeof how);
    how.epochs = 1;
    how.lr = 5e-4f;
    how.cosine = 1;
    how.seed = 99;
    return nc_axx_net_train(net, &images, &how);
}

static void row(const char *name, const char *path, double power, const nc_axx_score *before,
                const nc_axx_score *after, const nc_axx_metrics *e) {
    if (json) {
        printf("%s\n  {\"multiplier\": \"%s\", \"accuracy\": %.4f, \"top5\": %.4f, \"loss\": %.5f",
               rows_printed++ ? "," : "", name, before->top1, before->top5, before->loss);
        if (after)
            printf(", \"retrained\": %.4f, \"retrained_loss\": %.5f", after->top1, after->loss);
        if (power > 0) printf(", \"power\": %.4f", power);
        if (e) printf(", \"MAE\": %.4f, \"path\": \"%s\"", e->mae, path);
        printf("}");
        return;
    }
    printf("%-22s", name);
    if (power > 0)
        printf(" %6.3f", power);
    else
        printf(" %6s", "");
    if (e)
        printf(" %8.2f %7.0f", e->mae, e->wce);
    else
        printf(" %8s %7s", "", "");
    printf(" %8.2f %% %8.4f", 100 * before->top1, before->loss);
    if (after)
        printf(" %8.2f %% %8.4f  %s\n", 100 * after->top1, after->loss, path);
    else
        printf("\n");
    fflush(stdout);
}

/* The searched network and its validation images. */
typedef struct problem {
    nc_axx_net *net;
    nc_axx_images images;
} problem;

static int evaluate(void *user, const uint8_t *assignment, double *accuracy) {
    const problem *p = (const problem *)user;
    nc_axx_score score;
    uint32_t i;
    memset(&score, 0, sizeof score);
    for (i = 0; i < nc_axx_net_layers(p->net); i++)
        (void)nc_axx_net_assign(p->net, i, engines[assignment[i]]);
    if (nc_axx_net_evaluate(p->net, &p->images, &score) != NC_OK) return 1;
    *accuracy = score.top1;
    return 0;
}

static int progress(void *user, uint64_t done, uint64_t total) {
    bar((const char *)user, done, total, "");
    return 0;
}

static int write_file(const char *prefix, const char *ending, const char *text, size_t bytes) {
    char path[1024];
    nc_error err;
    snprintf(path, sizeof path, "%.900s%s", prefix, ending);
    return nc_file_write(path, text, bytes, &err) == NC_OK ? 0 : fail(path, err.message);
}

/* -- accuracy against power as SVG: all assignments as dots, the front as a line -- */

/* A text that grows at its end; what does not fit is left out. */
typedef struct text {
    char bytes[1 << 23];
    size_t used;
} text;

static void add(text *t, const char *format, ...) {
    const size_t room = sizeof t->bytes - t->used;
    va_list args;
    int n;
    va_start(args, format);
    n = vsnprintf(t->bytes + t->used, room, format, args);
    va_end(args);
    if (n > 0 && (size_t)n < room) t->used += (size_t)n;
}

/* The frame in pixels, and the range of power and accuracy that it shows. */
typedef struct axes {
    double x0, x1, y0, y1;
} axes;

static double across(const axes *a, double power) {
    return 70 + (power - a->x0) / (a->x1 - a->x0) * 540;
}

static double up(const axes *a, double accuracy) {
    return 380 - (accuracy - a->y0) / (a->y1 - a->y0) * 330;
}

/* 1, 2 or 5 times a power of ten that divides a range into about six. */
static double tick(double range) {
    double step = 1e-6;
    int i = 0;
    while (range / step > 8) step *= i++ % 3 == 1 ? 2.5 : 2.0;
    return step;
}

/* All assignments and some room round them. */
static axes range_of(const nc_axx_search *s) {
    axes a = {1e9, -1e9, 1e9, -1e9};
    nc_axx_solution one;
    size_t i;
    for (i = 0; nc_axx_search_get(s, i, &one) == NC_OK; i++) {
        if (one.power < a.x0) a.x0 = one.power;
        if (one.power > a.x1) a.x1 = one.power;
        if (one.accuracy < a.y0) a.y0 = one.accuracy;
        if (one.accuracy > a.y1) a.y1 = one.accuracy;
    }
    a.x1 += 0.04 * (a.x1 - a.x0) + 0.005;
    a.x0 -= 0.04 * (a.x1 - a.x0) + 0.005;
    a.y1 += 0.04 * (a.y1 - a.y0) + 0.002;
    a.y0 -= 0.04 * (a.y1 - a.y0) + 0.002;
    return a;
}

static void grid(text *t, const axes *a) {
    const double step_x = tick(a->x1 - a->x0), step_y = tick(100 * (a->y1 - a->y0)) / 100;
    double at, first = step_x * (double)(long)(a->x0 / step_x);
    int i;
    for (i = 0; (at = first + i * step_x) <= a->x1; i++)
        if (at >= a->x0)
            add(t,
                "<path d=\"M%.1f 50V380\" stroke=\"#ddd\"/><text x=\"%.1f\" y=\"397\" "
                "text-anchor=\"middle\">%.4g</text>\n",
                across(a, at), across(a, at), at);
    first = step_y * (double)(long)(a->y0 / step_y);
    for (i = 0; (at = first + i * step_y) <= a->y1; i++)
        if (at >= a->y0)
            add(t,
                "<path d=\"M70 %.1fH610\" stroke=\"#ddd\"/><text x=\"64\" y=\"%.1f\" "
                "text-anchor=\"end\">%.4g</text>\n",
                up(a, at), up(a, at) + 4, 100 * at);
}

static int write_plot(const nc_axx_search *s, const nc_axx_solution *front, size_t n, double least,
                      const char *prefix) {
    static text t;
    const axes a = range_of(s);
    nc_axx_solution one;
    size_t i;
    t.used = 0;
    add(&t,
        "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"640\" height=\"440\" "
        "font-family=\"sans-serif\" font-size=\"12\">\n"
        "<rect width=\"640\" height=\"440\" fill=\"white\"/>\n"
        "<text x=\"340\" y=\"28\" text-anchor=\"middle\" font-size=\"15\">Accuracy and power of "
        "the multipliers</text>\n<text x=\"340\" y=\"425\" text-anchor=\"middle\">power of the "
        "multipliers, exact = 1</text>\n<text transform=\"translate(18 215) rotate(-90)\" "
        "text-anchor=\"middle\">accuracy, %%</text>\n");
    grid(&t, &a);
    if (least > a.y0 && least < a.y1)
        add(&t,
            "<path d=\"M70 %.1fH610\" stroke=\"#c33\" stroke-dasharray=\"5 4\"/>"
            "<text x=\"75\" y=\"%.1f\" fill=\"#c33\">required</text>\n",
            up(&a, least), up(&a, least) - 5);
    for (i = 0; i < 100000 && nc_axx_search_get(s, i, &one) == NC_OK; i++) /* as many as fit */
        add(&t, "<circle cx=\"%.1f\" cy=\"%.1f\" r=\"2.5\" fill=\"#9ab\"/>\n",
            across(&a, one.power), up(&a, one.accuracy));
    add(&t, "<path fill=\"none\" stroke=\"#06c\" stroke-width=\"1.5\" d=\"");
    for (i = 0; i < n; i++) /* a staircase: more power never hurts */
        add(&t, i ? "H%.1fV%.1f" : "M%.1f %.1f", across(&a, front[i].power),
            up(&a, front[i].accuracy));
    add(&t, "\"/>\n");
    for (i = 0; i < n; i++)
        add(&t, "<circle cx=\"%.1f\" cy=\"%.1f\" r=\"4\" fill=\"#06c\"/>\n",
            across(&a, front[i].power), up(&a, front[i].accuracy));
    add(&t, "<rect x=\"70\" y=\"50\" width=\"540\" height=\"330\" fill=\"none\" "
            "stroke=\"#333\"/>\n</svg>\n");
    return write_file(prefix, ".svg", t.bytes, t.used);
}

/* The layers' share of the work. */
static void shares(const nc_axx_net *net, double *share) {
    nc_axx_layer_info info;
    double all = 0;
    uint32_t i;
    for (i = 0; i < nc_axx_net_layers(net); i++) {
        (void)nc_axx_net_layer(net, i, &info);
        share[i] = (double)info.macs;
        all += share[i];
    }
    for (i = 0; i < nc_axx_net_layers(net); i++) share[i] /= all;
}

/* Tree and genetic search over the first `candidates` multipliers; prints the front and keeps the
   best assignment on the network. */
static int search(nc_axx_net *net, uint32_t candidates, double least, uint32_t rounds,
                  const char *prefix) {
    static char tree[] = "tree", genetic[] = "genetic";
    const nc_axx_images test = part(TRAIN + VALIDATION, TEST);
    double share[LAYERS];
    float power[MOST];
    nc_axx_search_config config;
    nc_axx_solution front[64], best;
    nc_axx_search *s = NULL;
    problem p;
    char *csv = NULL;
    size_t n = 0, bytes = 0, i;
    nc_status status;
    uint32_t k;
    int failed = 0;
    shares(net, share);
    for (k = 0; k < candidates; k++) power[k] = multipliers[k].relative_power;
    p.net = net;
    p.images = part(TRAIN, VALIDATION);
    memset(&config, 0, sizeof config);
    config.layers = nc_axx_net_layers(net);
    config.candidates = candidates;
    config.share = share;
    config.power = power;
    config.least_accuracy = least;
    config.evaluate = evaluate;
    config.user = &p;
    config.seed = 5;
    config.progress = progress;
    config.progress_user = tree;
    status = nc_axx_search_create(&s, &config);
    if (status == NC_OK) status = nc_axx_search_mcts(s, rounds);
    if (status == NC_OK && !json)
        printf("tree search: %lu assignments, least power %.3f\n",
               (unsigned long)nc_axx_search_count(s),
               nc_axx_search_best(s, &best) == NC_OK ? best.power : 1.0);
    (void)genetic;
    if (status == NC_OK) status = nc_axx_search_genetic(s, rounds);
    if (status == NC_OK && !json)
        printf("with genetic search: %lu assignments, least power %.3f\n",
               (unsigned long)nc_axx_search_count(s),
               nc_axx_search_best(s, &best) == NC_OK ? best.power : 1.0);
    if (status == NC_OK) status = nc_axx_search_front(s, front, 64, &n);
    if (n > 64) n = 64;
    printf(json ? "\n ],\n \"front\": [" : "\n%8s %12s %12s\n", "power", "validation", "test");
    for (i = 0; i < n && status == NC_OK; i++) {
        nc_axx_score score;
        memset(&score, 0, sizeof score);
        for (k = 0; k < config.layers; k++)
            (void)nc_axx_net_assign(net, k, engines[front[i].assignment[k]]);
        status = nc_axx_net_evaluate(net, &test, &score);
        if (json)
            printf("%s\n  {\"power\": %.4f, \"validation\": %.4f, \"test\": %.4f}", i ? "," : "",
                   front[i].power, front[i].accuracy, score.top1);
        else
            printf("%8.3f %10.2f %% %10.2f %%\n", front[i].power, 100 * front[i].accuracy,
                   100 * score.top1);
    }
    if (status == NC_OK) failed |= write_plot(s, front, n, least, prefix);
    if (status == NC_OK && nc_axx_search_csv(s, 0, &csv, &bytes) == NC_OK) {
        failed |= write_file(prefix, ".csv", csv, bytes);
        nc_axx_free_text(csv);
    }
    if (status == NC_OK) status = nc_axx_search_best(s, &best);
    if (status == NC_OK && !json)
        printf("\nbest assignment, power %.3f:\n%-16s %10s %10s  %s\n", best.power, "layer", "MACs",
               "weights", "multiplier");
    for (k = 0; k < config.layers && status == NC_OK; k++) {
        nc_axx_layer_info info;
        (void)nc_axx_net_layer(net, k, &info);
        (void)nc_axx_net_assign(net, k, engines[best.assignment[k]]);
        if (!json)
            printf("%-16s %10llu %10llu  %s\n", info.name, (unsigned long long)info.macs,
                   (unsigned long long)info.parameters, multipliers[best.assignment[k]].name);
    }
    nc_axx_search_destroy(s);
    return status != NC_OK ? fail("search", nc_status_str(status)) : failed;
}

static int add_multiplier(const char *name) {
    nc_error err;
    const int is_file = nc_axx_form_of(name) != NC_AXX_FORM_AUTO;
    nc_status status;
    if (count == MOST) return fail(name, "too many multipliers");
    status = is_file ? nc_axx_load(&multipliers[count], name, NC_AXX_FORM_AUTO, &err)
                     : nc_axx_make(&multipliers[count], name, &err);
    if (status != NC_OK) return fail(name, err.message);
    if (multipliers[count].a_unsigned) return fail(name, "its operands are unsigned");
    if (nc_axx_engine_create(&engines[count], &multipliers[count]) != NC_OK)
        return fail(name, "out of memory");
    count++;
    return 0;
}

static int load_model(nc_axx_net *net, const char *path) {
    nc_error err;
    size_t bytes;
    char *data;
    nc_status status = nc_file_read(path, &data, &bytes, &err);
    if (status != NC_OK) return fail(path, err.message);
    status = nc_axx_net_load(net, data, bytes, &err);
    nc_file_free(data);
    return status == NC_OK ? 0 : fail(path, err.message);
}

/* Float training, then the table of multipliers, then the search. */
static int run(nc_axx_net *net, uint32_t published, uint32_t epochs, uint32_t rounds,
               const char *load, const char *save, const char *prefix) {
    static char training[] = "training";
    const nc_axx_images all = part(0, TRAIN), to_train = shifted_images(),
                        test = part(TRAIN + VALIDATION, TEST);
    nc_axx_training how;
    nc_axx_score score, after;
    size_t parameters;
    float *values = nc_axx_net_parameters(net, &parameters), *kept;
    char *data;
    size_t bytes;
    uint32_t i;
    int failed = 0;
    memset(&how, 0, sizeof how);
    memset(&score, 0, sizeof score);
    memset(&after, 0, sizeof after);
    how.epochs = epochs;
    how.lr = 2e-3f;
    how.cosine = 1;
    how.weight_decay = 0.05f;
    how.watch = watch;
    how.user = training;
    if (load) {
        if (load_model(net, load)) return 1;
    } else if (nc_axx_net_train(net, &to_train, &how) != NC_OK) {
        return fail("training", "failed");
    }
    if (nc_axx_net_calibrate(net, &all, NC_AXX_CALIBRATE_PERCENTILE, 99.99) != NC_OK ||
        nc_axx_net_evaluate(net, &test, &score) != NC_OK)
        return fail("evaluation", "failed");
    if (save && nc_axx_net_save(net, &data, &bytes, NULL) == NC_OK) {
        failed = write_file(save, "", data, bytes);
        nc_axx_free_text(data);
    }
    kept = malloc(parameters * sizeof *kept);
    if (!kept) return fail("training", "out of memory");
    memcpy(kept, values, parameters * sizeof *kept);
    if (json)
        printf("{\"parameters\": %lu, \"multipliers\": [", (unsigned long)parameters);
    else
        printf("%lu parameters; %d images to train, %d to test; one epoch of retraining\n\n"
               "%-22s %6s %8s %7s %10s %8s %10s %8s  %s\n",
               (unsigned long)parameters, TRAIN, TEST, "multiplier", "power", "MAE", "WCE",
               "accuracy", "loss", "retrained", "loss", "path");
    row("float32", "", 0, &score, NULL, NULL);
    nc_axx_net_set_mode(net, NC_AXX_MODE_INTEGER);
    for (i = 0; i < count; i++) {
        nc_axx_engine_info info;
        nc_axx_metrics e;
        assign_all(net, engines[i]);
        memcpy(values, kept, parameters * sizeof *kept);
        if (nc_axx_net_evaluate(net, &test, &score) != NC_OK || retrain(net) != NC_OK ||
            nc_axx_net_evaluate(net, &test, &after) != NC_OK) {
            free(kept);
            return fail(multipliers[i].name, "failed");
        }
        nc_axx_measure(&multipliers[i], &e);
        nc_axx_engine_describe(engines[i], &info);
        row(multipliers[i].name, info.text, (double)multipliers[i].relative_power, &score, &after,
            &e);
    }
    memcpy(values, kept, parameters * sizeof *kept);
    free(kept);
    if (!json) printf("\n");
    assign_all(net, engines[0]);
    {
        const nc_axx_images validation = part(TRAIN, VALIDATION);
        if (nc_axx_net_evaluate(net, &validation, &score) != NC_OK) return 1;
    }
    failed |= search(net, published, score.top1 - 0.02, rounds, prefix);
    if (!failed) {
        (void)nc_axx_net_evaluate(net, &test, &score);
        if (retrain(net) != NC_OK || nc_axx_net_evaluate(net, &test, &after) != NC_OK) return 1;
        if (json)
            printf("\n ],\n \"best\": {\"accuracy\": %.4f, \"retrained\": %.4f}\n}\n", score.top1,
                   after.top1);
        else
            printf("\nits test accuracy %.2f %%, retrained %.2f %%\nplot in %s.svg, all "
                   "assignments in %s.csv\n",
                   100 * score.top1, 100 * after.top1, prefix, prefix);
    }
    return failed;
}

int main(int argc, char **argv) {
    static const char *const names[] = {"truncated:6", "mitchell", "drum:4", "roba"};
    const nc_axx_net_config config = {.kind = NC_AXX_NET_VIT,
                                      .image = SIDE,
                                      .channels = 1,
                                      .classes = CLASSES,
                                      .dim = 48,
                                      .depth = 3,
                                      .patch = 2,
                                      .heads = 4,
                                      .mlp = 96,
                                      .mean_pool = 1,
                                      .batch = 32,
                                      .bits = 8,
                                      .activation = NC_AXX_GELU_TANH};
    const char *data = "examples/data/digits.csv", *prefix = "build/axx_vit_digits";
    const char *load = NULL, *save = NULL;
    uint32_t epochs = 12, rounds = 100, published, i;
    nc_axx_net *net;
    int k, failed;
    for (published = 0; nc_axx_published(published, NULL); published++)
        if (add_multiplier(nc_axx_published(published, NULL))) return 1;
    for (i = 0; i < sizeof names / sizeof *names; i++)
        if (add_multiplier(names[i])) return 1;
    for (k = 1; k < argc; k++) {
        const char *value = k + 1 < argc ? argv[k + 1] : NULL;
        if (!strcmp(argv[k], "--help")) return fputs(usage, stdout) < 0;
        if (!strcmp(argv[k], "--json")) {
            json = 1;
            continue;
        }
        if (argv[k][0] != '-') {
            if (add_multiplier(argv[k])) return 1;
            continue;
        }
        if (value && !strcmp(argv[k], "--data"))
            data = value;
        else if (value && !strcmp(argv[k], "--out"))
            prefix = value;
        else if (value && !strcmp(argv[k], "--load"))
            load = value;
        else if (value && !strcmp(argv[k], "--save"))
            save = value;
        else if (value && !strcmp(argv[k], "--epochs") && atoi(value) > 0)
            epochs = (uint32_t)atoi(value);
        else if (value && !strcmp(argv[k], "--rounds") && atoi(value) > 0)
            rounds = (uint32_t)atoi(value);
        else
            return fprintf(stderr, "axx_vit_digits: bad argument '%s'\n%s", argv[k], usage), 2;
        k++;
    }
    terminal = isatty(1) && !json;
    if (!read_digits(data)) return fail(data, "is not 1797 rows of digits");
    if (nc_axx_net_create(&net, &config) != NC_OK) return fail("network", "out of memory");
    nc_axx_net_init(net, 1);
    failed = run(net, published, epochs, rounds, load, save, prefix);
    nc_axx_net_destroy(net);
    for (i = 0; i < count; i++) nc_axx_engine_destroy(engines[i]);
    return failed;
}
