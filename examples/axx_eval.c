/* axx_eval: what approximate multipliers make of a trained network: accuracy with its confidence
   interval, power and time in float32, with exact bytes, with each multiplier and with
   mixed assignments, before and after retraining; and a search for better ones.
   cc -O2 -fopenmp axx_eval.c -lm -o axx_eval */
#define _POSIX_C_SOURCE 200809L
#include <dirent.h>
#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>
#define NC_AXX_VIT
#define NC_IMPLEMENTATION
#include "../nc_axx.h"
#define CLI_REPEATS "--power"
#include "cli.h"
#define STB_IMAGE_IMPLEMENTATION
#ifdef __has_include
#if __has_include("stb_image.h")
#include "stb_image.h"
#else
#include <stb/stb_image.h>
#endif
#else
#include <stb/stb_image.h>
#endif

static const char usage[] =
    "usage: axx_eval MODEL DATA [--config FILE] [OPTION...] [MULTIPLIER...]\n"
    "MODEL: a vision transformer or a Swin transformer with timm's names (.safetensors), or any\n"
    "network as .onnx. DATA, images to test: CSV (label and pixels), a batch of CIFAR-10 or\n"
    "CIFAR-100 (.bin), images of IDX with the labels beside them, a folder of CIFAR's or MNIST's\n"
    "files, or a folder with a folder of images for each class.\n"
    "MULTIPLIER: mul8s_1L2H, truncated:6 .. (lut_convert --families) or a file (.i16 .npy .h .c\n"
    ".v); default: EvoApproxLib's.\n"
    "  --train DATA       images to calibrate, retrain and search with; default: those to train in "
    "a\n"
    "                     folder of CIFAR's or MNIST's files, else a fifth of DATA, which then "
    "are\n"
    "                     not tested\n"
    "  --validation DATA  images to search with; default: a sixth of those to train\n"
    "  --limit N          images to test; --train-limit N: to train (both drawn evenly)\n"
    "  --retrain EPOCHS   each row, float32 and exact bytes too, is also retrained; with --lr X\n"
    "                     (5e-4), --clip X (norm of the gradients), --shift N (pixels), --flip;\n"
    "                     batch norms keep their means and variances\n"
    "  --search ROUNDS    tree search, then as many rounds of genetic search, for the lowest "
    "power\n"
    "                     that loses at most --drop X (0.02) of the exact accuracy; --state FILE\n"
    "                     keeps what was evaluated, from which the next run goes on\n"
    "  --calibrate M      max, percentile (default), mse, entropy; --calibration N images (256)\n"
    "  --resize N         the shorter side before the cut from the middle; 0: the whole image is\n"
    "                     made as large as the model's; --cubic: by cubics, not linearly\n"
    "  --mean X,.. --std X,..  of every channel (0.5); --largest N: the pixel that is 1 (255)\n"
    "  --label N          column of a CSV's label from 1 on, -1: the last\n"
    "  --heads N --eps X --activation gelu|gelu_tanh|quick_gelu|silu  what no tensor tells, and\n"
    "                     the side of a Swin transformer's images, --image N (0: by its windows)\n"
    "  --batch N (32)     images at a time; --bits N (8): of all operands, 2 to 8\n"
    "  --power NAME=X     relative power of a multiplier that has none published\n"
    "  --layers           also a table of the layers, in every mixed assignment\n"
    "  --json --csv FILE --svg FILE   results\n"
    "  --save-config FILE the assignment that was found\n"
    "A config file has lines `OPTION = VALUE` with the options above and `multipliers = A B ..`;\n"
    "then `[NAME]` begins a mixed assignment of lines `LAYER = MULTIPLIER`, where LAYER is a name\n"
    "of a layer or of its weights, or a pattern with * and ?. MULTIPLIER may be `exact` or, of "
    "exact\n"
    "power, `float` and `fake` (float32 products of quantised operands). Behind it may stand bits\n"
    "(`exact 4`), `per_tensor` (one scale for the weights, not one a channel) and a percentile of\n"
    "the weights' magnitudes beyond which they are clipped (`99.9%`). Later lines win.\n"
    "# begins a comment.\n"
    "Returns 0, 1 on an error, 2 on bad usage.\n";

enum { MOST = 64, MIXED = 32, LAYERS = 1024, ROWS = MOST + MIXED + 3 };
enum { CHUNK = 128 /* images read at a time */, FRONT = 16 /* members tested */ };

typedef struct options {
    const char *model, *data, *train, *validation, *config, *calibrate, *activation, *csv, *svg,
        *save_config, *state;
    uint32_t image, limit, train_limit, retrain, search, calibration, resize, cubic, largest, heads,
        batch, bits, shift, flip, json, layers;
    int32_t label;
    float lr, drop, eps, clip;
    float mean[4], std[4];
} options;

/* An assignment of the config file: how every layer multiplies. */
typedef struct mixed {
    char name[48];
    nc_axx_layer_options assignment[LAYERS];
} mixed;

/* What comes of images. */
typedef struct outcome {
    size_t images, right1, right5;
    double loss, seconds;
} outcome;

/* A layer of a transformer or a node of a graph that multiplies. */
typedef struct layer {
    char name[64];
    uint32_t number;
    uint64_t macs;
} layer;

static options o;
static nc_axx_mult multipliers[MOST]; /* the first is exact */
static nc_axx_engine *engines[MOST];
static char specs[MOST][256]; /* as they were asked for */
static int listed[MOST];      /* has a row */
static uint32_t count;
static mixed assignments[MIXED];
static uint32_t mixed_count;
static nc_axx_net *net; /* null: the network is a graph */
static nc_axx_graph *graph;
static layer layers[LAYERS];
static uint32_t layer_count, channels, height, width, classes, batch;

static int fail(const char *what, const char *format, ...) {
    va_list args;
    va_start(args, format);
    fprintf(stderr, "axx_eval: %s: ", what);
    vfprintf(stderr, format, args);
    fputc('\n', stderr);
    va_end(args);
    return 1;
}

static double now(void) {
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

/* On a terminal: what is done of it and how long the rest will take. */
static void progress(const char *what, uint64_t done, uint64_t total, const char *more) {
    static double start, last;
    const double t = now();
    double left;
    if (!isatty(2)) return;
    if (done == 0) start = last = t;
    left = done ? (t - start) / (double)done * (double)(total - done) : 0;
    if (done == total) {
        fprintf(stderr, "\r%78s\r", "");
    } else if (t - last > 0.2) {
        last = t;
        fprintf(stderr, "\r%-24.24s %3.0f %%  %d:%02d left  %-24.24s", what,
                100.0 * (double)done / (double)total, (int)left / 60, (int)left % 60, more);
    }
    fflush(stderr);
}

/* -- options, in the command line and in the config file -- */

typedef enum option_kind { FLAG, NUMBER, SIGNED, REAL, REALS, TEXT } option_kind;

static const struct option {
    const char *name;
    option_kind kind;
    void *value;
} known[] = {{"train", TEXT, &o.train},
             {"validation", TEXT, &o.validation},
             {"config", TEXT, &o.config},
             {"limit", NUMBER, &o.limit},
             {"train-limit", NUMBER, &o.train_limit},
             {"retrain", NUMBER, &o.retrain},
             {"lr", REAL, &o.lr},
             {"search", NUMBER, &o.search},
             {"drop", REAL, &o.drop},
             {"calibrate", TEXT, &o.calibrate},
             {"calibration", NUMBER, &o.calibration},
             {"resize", NUMBER, &o.resize},
             {"cubic", FLAG, &o.cubic},
             {"mean", REALS, o.mean},
             {"std", REALS, o.std},
             {"largest", NUMBER, &o.largest},
             {"label", SIGNED, &o.label},
             {"heads", NUMBER, &o.heads},
             {"eps", REAL, &o.eps},
             {"activation", TEXT, &o.activation},
             {"image", NUMBER, &o.image},
             {"batch", NUMBER, &o.batch},
             {"bits", NUMBER, &o.bits},
             {"clip", REAL, &o.clip},
             {"shift", NUMBER, &o.shift},
             {"flip", FLAG, &o.flip},
             {"layers", FLAG, &o.layers},
             {"json", FLAG, &o.json},
             {"csv", TEXT, &o.csv},
             {"svg", TEXT, &o.svg},
             {"save-config", TEXT, &o.save_config},
             {"state", TEXT, &o.state}};

static const struct option *find_option(const char *name) {
    size_t i;
    for (i = 0; i < sizeof known / sizeof *known; i++)
        if (!strcmp(known[i].name, name)) return &known[i];
    return NULL;
}

/* Up to four finite numbers, deviations above 0; one stands for all channels. */
static int read_reals(float *to, const char *text) {
    char *end;
    int n = 0, i;
    do {
        if (n == 4) return 0;
        to[n] = strtof(text, &end);
        if (end == text || !isfinite(to[n]) || (to == o.std && !(to[n] > 0))) return 0;
        n++;
        text = end + 1;
    } while (*end == ',');
    for (i = n; i < 4 && n == 1; i++) to[i] = to[0];
    return *end == 0;
}

/* Whether the text is a value of the option; that is set. */
static int set_option(const struct option *option, const char *text) {
    char *end = NULL;
    long value = 0;
    switch (option->kind) {
    case TEXT: *(const char **)option->value = text; return *text != 0;
    case FLAG: *(uint32_t *)option->value = 1; return 1;
    case REALS: return read_reals((float *)option->value, text);
    case REAL:
        *(float *)option->value = strtof(text, &end);
        return end > text && !*end && *(float *)option->value >= 0 &&
               isfinite(*(float *)option->value);
    case NUMBER:
        value = strtol(text, &end, 10);
        *(uint32_t *)option->value = (uint32_t)value;
        return end > text && !*end && value >= 0 && value <= INT32_MAX;
    case SIGNED:
        value = strtol(text, &end, 10);
        *(int32_t *)option->value = (int32_t)value;
        return end > text && !*end && value >= -1 && value <= INT32_MAX;
    }
    return 0;
}

/* -- multipliers -- */

/* The number of a multiplier by what it was asked for as, loaded when it is new; MOST: failed. */
static uint32_t multiplier(const char *spec) {
    const int is_file = nc_axx_form_of(spec) != NC_AXX_FORM_AUTO;
    nc_axx_mult *m = &multipliers[count];
    nc_status status;
    nc_error err;
    uint32_t i;
    for (i = 0; i < count; i++)
        if (!strcmp(specs[i], spec) || !strcmp(multipliers[i].name, spec)) return i;
    if (count == MOST || strlen(spec) >= sizeof specs[0]) {
        fail(spec, count == MOST ? "more than 64 multipliers" : "the name is too long");
        return MOST;
    }
    status = is_file ? nc_axx_load(m, spec, NC_AXX_FORM_AUTO, &err) : nc_axx_make(m, spec, &err);
    if (status != NC_OK) {
        fail(spec, "%s", err.message);
        return MOST;
    }
    if (m->a_unsigned || m->b_unsigned) {
        fail(spec, "its operands are unsigned, those of a transformer have signs");
        return MOST;
    }
    if (nc_axx_engine_create(&engines[count], m) != NC_OK) {
        fail(spec, "out of memory");
        return MOST;
    }
    strcpy(specs[count], spec);
    return count++;
}

/* NAME=X */
static int set_power(const char *text) {
    const char *equals = strrchr(text, '=');
    char name[256], *end;
    uint32_t i;
    float power;
    if (!equals || (size_t)(equals - text) >= sizeof name) return fail(text, "no NAME=X");
    snprintf(name, sizeof name, "%.*s", (int)(equals - text), text);
    power = strtof(equals + 1, &end);
    if (*end || !(power > 0) || !isfinite(power)) return fail(text, "the power must be above 0");
    i = multiplier(name);
    if (i == MOST) return 1;
    multipliers[i].relative_power = power;
    return 0;
}

/* -- layers, of a transformer or of a graph -- */

static nc_status set_layers(const char *pattern, const nc_axx_layer_options *how, nc_error *err) {
    return net ? nc_axx_net_set(net, pattern, how, NULL, err)
               : nc_axx_graph_set(graph, pattern, how, NULL, err);
}

static nc_axx_layer_options options_of(uint32_t i) {
    nc_axx_layer_info info;
    memset(&info, 0, sizeof info);
    (void)(net ? nc_axx_net_layer(net, layers[i].number, &info)
               : nc_axx_graph_layer(graph, layers[i].number, &info));
    return info.options;
}

/* The number of the multiplier that a layer has; 0: exact. */
static uint32_t multiplier_of(const nc_axx_layer_options *how) {
    uint32_t m = 0;
    while (m < count && engines[m] != how->engine) m++;
    return m < count ? m : 0;
}

/* All layers alike. */
static void fill(nc_axx_layer_options *assignment, uint32_t m, nc_axx_mode mode) {
    nc_axx_layer_options how;
    uint32_t i;
    memset(&how, 0, sizeof how);
    how.mode = mode;
    how.engine = engines[m];
    how.bits = o.bits;
    for (i = 0; i < LAYERS; i++) assignment[i] = how;
}

/* -- the config file -- */

static char *trimmed(char *text) {
    char *end = text + strlen(text);
    while (end > text && strchr(" \t\r\n", end[-1])) *--end = 0;
    while (*text && strchr(" \t", *text)) text++;
    return text;
}

static int list_multipliers(char *names) {
    char *at = strtok(names, " \t,");
    for (; at; at = strtok(NULL, " \t,")) {
        const uint32_t m = multiplier(at);
        if (m == MOST) return 1;
        listed[m] = 1;
    }
    return 0;
}

/* What stands behind a multiplier: bits, per_tensor, a percentile. */
static int layer_option(nc_axx_layer_options *how, const char *word) {
    char *end;
    const double value = strtod(word, &end);
    if (!strcmp(word, "per_tensor")) {
        how->per_tensor = 1;
    } else if (end > word && !strcmp(end, "%") && value > 0 && value <= 100) {
        how->weight_percent = value;
    } else {
        const unsigned long bits = strtoul(word, &end, 10);
        if (*word < '2' || *word > '8' || *end || bits > 8) return 0;
        how->bits = (uint32_t)bits;
    }
    return 1;
}

/* What a layer is to have: a multiplier, exact, float or fake, and options. */
static int layer_options(const char *where, nc_axx_layer_options *how, char *text) {
    const char *name = strtok(text, " \t"), *word;
    uint32_t m = 0;
    memset(how, 0, sizeof *how);
    how->mode = NC_AXX_MODE_INTEGER;
    how->bits = o.bits;
    if (!name) return fail(where, "no multiplier");
    if (!strcmp(name, "float"))
        how->mode = NC_AXX_MODE_FLOAT;
    else if (!strcmp(name, "fake"))
        how->mode = NC_AXX_MODE_FAKE;
    else
        m = multiplier(name);
    if (m == MOST) return fail(where, "no such multiplier");
    how->engine = engines[m];
    while ((word = strtok(NULL, " \t")) != NULL)
        if (!layer_option(how, word))
            return fail(where, "'%.40s' is none of: bits from 2 to 8, per_tensor, 99.9%%", word);
    return 0;
}

/* PATTERN = MULTIPLIER [OPTION...] in a mixed assignment, which the network has as yet. */
static int assign_pattern(const char *where, mixed *to, const char *pattern, char *value) {
    nc_axx_layer_options how;
    nc_error err;
    uint32_t i;
    if (layer_options(where, &how, value)) return 1;
    if (set_layers(pattern, &how, &err) != NC_OK)
        return fail(where, "%s; --layers lists them", err.message);
    for (i = 0; i < layer_count; i++) to->assignment[i] = options_of(i);
    return 0;
}

/* [NAME]: a mixed assignment begins, of exact bytes. */
static int begin_assignment(const char *where, char *line, int sections) {
    char *end = strchr(line, ']');
    mixed *to = &assignments[mixed_count];
    if (!end || end[1] || end == line + 1) return fail(where, "expected [NAME]");
    *end = 0;
    if (strlen(line + 1) >= sizeof to->name) return fail(where, "the name is too long");
    if (mixed_count == MIXED) return fail(where, "more than 32 assignments");
    strcpy(to->name, line + 1);
    fill(to->assignment, 0, NC_AXX_MODE_INTEGER);
    mixed_count++;
    return sections && set_layers("*", to->assignment, NULL) != NC_OK ? fail(where, "failed") : 0;
}

/* One line: an option in front of the first [NAME], a layer behind it. */
static int config_line(const char *where, char *line, int sections) {
    char *value = strchr(line, '='), *comment = strchr(line, '#');
    const struct option *option;
    mixed *to = mixed_count ? &assignments[mixed_count - 1] : NULL;
    if (comment) *comment = 0;
    line = trimmed(line);
    if (!*line) return 0;
    if (*line == '[') return begin_assignment(where, line, sections);
    value = strchr(line, '=');
    if (!value) return fail(where, "expected NAME = VALUE or [NAME], not '%.40s'", line);
    *value++ = 0;
    line = trimmed(line);
    value = trimmed(value);
    if (to) return sections ? assign_pattern(where, to, line, value) : 0;
    if (sections) return 0;
    if (!strcmp(line, "multipliers")) return list_multipliers(value);
    if (!strcmp(line, "power")) return set_power(value);
    option = find_option(line);
    if (!option || option->value == &o.config) return fail(where, "no option '%s'", line);
    return set_option(option, value) ? 0 : fail(where, "'%s' is no value of %s", value, line);
}

/* All lines: with sections 0 the options, with 1 the assignments, which need the network. The text
   stays in memory: options point into it. */
static int read_config(const char *path, int sections) {
    char *data, *line, *next, where[300];
    size_t bytes;
    nc_error err;
    int number = 1;
    if (nc_file_read(path, &data, &bytes, &err) != NC_OK) return fail(path, "%s", err.message);
    if (strlen(data) != bytes) return fail(path, "is no text");
    mixed_count = 0;
    for (line = data; line; line = next, number++) {
        next = strchr(line, '\n');
        if (next) *next++ = 0;
        snprintf(where, sizeof where, "%.200s:%d", path, number);
        if (config_line(where, line, sections)) return 1;
    }
    return 0;
}

/* -- images -- */

/* Images in memory, or the files of a folder; `order` says which place which image has. */
typedef struct source {
    nc_axx_data data;
    char **paths; /* of a folder: every image's file */
    uint32_t *labels;
    uint32_t *order;
    size_t count, path_count;
    int is_part; /* of another, which owns all of this */
    uint32_t classes;
    nc_axx_view view;
} source;

static int by_bytes(const void *a, const void *b) {
    return strcmp(*(char *const *)a, *(char *const *)b);
}

/* The names in a folder, sorted by their bytes. */
static char **names_in(const char *folder, size_t *n) {
    DIR *dir = opendir(folder);
    struct dirent *entry;
    char **names = NULL;
    size_t room = 0;
    *n = 0;
    if (!dir) return NULL;
    while ((entry = readdir(dir)) != NULL) {
        if (entry->d_name[0] == '.') continue;
        if (*n == room) names = realloc(names, (room = 2 * room + 64) * sizeof *names);
        if (names) names[(*n)++] = strdup(entry->d_name);
    }
    closedir(dir);
    if (names) qsort(names, *n, sizeof *names, by_bytes);
    return names;
}

static int is_folder(const char *path) {
    struct stat info;
    return stat(path, &info) == 0 && S_ISDIR(info.st_mode);
}

static int exists(const char *path) {
    struct stat info;
    return stat(path, &info) == 0;
}

/* A file that is read before it is written: not a pipe, which would be waited for, nor a device. */
static int can_go_on(const char *path) {
    struct stat info;
    if (stat(path, &info) == 0 && !S_ISREG(info.st_mode))
        return cli_fail(0, "--state: '%s' is no regular file", path);
    return cli_can_write(path);
}

static int is_image(const char *name) {
    static const char *const endings[] = {".jpg", ".jpeg", ".png", ".bmp", ".ppm",
                                          ".pgm", ".gif",  ".tga", ".psd", NULL};
    const char *dot = strrchr(name, '.');
    int i, k;
    for (i = 0; dot && endings[i]; i++) {
        for (k = 0; endings[i][k] && (dot[k] | 32) == (endings[i][k] | 32); k++) {
        }
        if (!endings[i][k] && !dot[k]) return 1;
    }
    return 0;
}

/* The images of a class: those in its folder. */
static int add_class(source *s, const char *folder, uint32_t label, size_t *room) {
    size_t n, i;
    char **names = names_in(folder, &n), path[2048];
    if (!names) return fail(folder, "cannot be read or is empty");
    for (i = 0; i < n; i++) {
        if (!is_image(names[i]))
            return fail(folder,
                        "'%s' is no image that can be read (jpg png bmp ppm pgm gif tga psd)",
                        names[i]);
        if (snprintf(path, sizeof path, "%s/%s", folder, names[i]) >= (int)sizeof path)
            return fail(folder, "the path is too long");
        if (s->count == *room) {
            *room = 2 * *room + 1024;
            s->paths = realloc(s->paths, *room * sizeof *s->paths);
            s->labels = realloc(s->labels, *room * sizeof *s->labels);
            if (!s->paths || !s->labels) return fail(folder, "out of memory");
        }
        s->paths[s->count] = strdup(path);
        s->labels[s->count++] = label;
        s->path_count = s->count;
        free(names[i]);
    }
    free(names);
    return 0;
}

/* A folder with a folder for each class, in the order of their names. */
static int add_classes(source *s, const char *folder) {
    size_t n, i, room = 0;
    char **names = names_in(folder, &n), path[1024];
    for (i = 0; names && i < n; i++) {
        if (snprintf(path, sizeof path, "%s/%s", folder, names[i]) >= (int)sizeof path)
            return fail(folder, "the path is too long");
        if (!is_folder(path))
            return fail(folder,
                        "'%s' is neither a folder of a class nor a file of CIFAR or MNIST: move it "
                        "away",
                        names[i]);
        if (add_class(s, path, (uint32_t)i, &room)) return 1;
        free(names[i]);
    }
    free(names);
    s->classes = (uint32_t)n;
    return s->count ? 0 : fail(folder, "no images in it");
}

/* Files of data sets as they are published: to train, to test. */
static const char *const published[][2] = {
    {"data_batch_1.bin data_batch_2.bin data_batch_3.bin data_batch_4.bin data_batch_5.bin",
     "test_batch.bin"},
    {"train.bin", "test.bin"},
    {"train-images-idx3-ubyte", "t10k-images-idx3-ubyte"},
    {"train-images.idx3-ubyte", "t10k-images.idx3-ubyte"}};

/* Which of them a folder has, by its file to test; -1: none. */
static int published_in(const char *folder) {
    char path[2048];
    size_t i;
    for (i = 0; i < sizeof published / sizeof *published; i++) {
        snprintf(path, sizeof path, "%s/%s", folder, published[i][1]);
        if (exists(path)) return (int)i;
    }
    return -1;
}

/* A CSV's images may have the model's shape, be squares of as many channels, or grey ones. */
static int add_file(source *s, const char *path) {
    const uint32_t shapes[3][3] = {{channels, height, width}, {channels, 0, 0}, {1, 0, 0}};
    nc_axx_data_options how;
    nc_error err, other;
    nc_status status = NC_ERR_MISMATCH;
    int k;
    memset(&how, 0, sizeof how);
    how.label = o.label;
    how.largest = o.largest < 255 ? o.largest : 255;
    for (k = 0; k < 3 && status == NC_ERR_MISMATCH; k++) {
        how.channels = shapes[k][0];
        how.height = shapes[k][1];
        how.width = shapes[k][2];
        status = nc_axx_data_load(&s->data, path, &how, k == 1 ? &other : &err);
    }
    if (status == NC_OK) return 0;
    if (status == NC_ERR_MISMATCH) err = other;
    if (!err.line) return fail(path, "%s", err.message);
    fprintf(stderr, "axx_eval: %s:%d:%d: %s\n", path, (int)err.line, (int)err.column, err.message);
    return 1;
}

static int add_published(source *s, const char *folder, const char *files) {
    char path[2048], name[64];
    int used;
    while (sscanf(files, "%63s%n", name, &used) == 1) {
        snprintf(path, sizeof path, "%s/%s", folder, name);
        if (add_file(s, path)) return 1;
        files += used;
    }
    return 0;
}

/* A fixed order that has every class early on. */
static int shuffle(source *s) {
    uint64_t seed = 12;
    size_t i;
    s->order = malloc(s->count * sizeof *s->order);
    if (!s->order) return fail("images", "out of memory");
    for (i = 0; i < s->count; i++) s->order[i] = (uint32_t)i;
    for (i = s->count; i-- > 1;) {
        const uint32_t keep = s->order[i];
        size_t other;
        seed = seed * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
        other = (size_t)((seed >> 33) % (i + 1));
        s->order[i] = s->order[other];
        s->order[other] = keep;
    }
    return 0;
}

/* Images of a path; `training` chooses among the files of a published data set. */
static int open_source(source *s, const char *path, int training) {
    const int set = is_folder(path) ? published_in(path) : -1;
    int k;
    memset(s, 0, sizeof *s);
    if (set >= 0          ? add_published(s, path, published[set][training ? 0 : 1])
        : is_folder(path) ? add_classes(s, path)
                          : add_file(s, path))
        return 1;
    if (!s->paths) {
        s->count = s->data.count;
        s->labels = s->data.labels;
        s->classes = s->data.classes;
    }
    if (s->classes > classes)
        return fail(path, "%u classes, but the model has %u", (unsigned)s->classes,
                    (unsigned)classes);
    s->view.channels = channels;
    s->view.height = height;
    s->view.width = width;
    s->view.resize = o.resize;
    s->view.cubic = o.cubic;
    s->view.largest = (float)o.largest;
    for (k = 0; k < 4; k++) {
        s->view.mean[k] = o.mean[k];
        s->view.deviation[k] = o.std[k];
    }
    return shuffle(s);
}

/* The last n in the order become another source, which shares what this has. */
static source take(source *s, size_t n) {
    source part = *s;
    part.is_part = 1;
    s->count -= n;
    part.order = s->order + s->count;
    part.count = n;
    return part;
}

static void close_source(source *s) {
    size_t i;
    if (s->is_part) return;
    for (i = 0; i < s->path_count; i++) free(s->paths[i]);
    if (s->paths) free(s->labels); /* else they are the data's */
    free(s->paths);
    free(s->order);
    nc_axx_data_free(&s->data);
}

/* One file of a folder as bytes, planes one after the other. */
static int decode(const source *s, const char *path, float *out) {
    int w, h, n, c, x;
    uint8_t *bytes, *planes;
    nc_status status;
    if (!stbi_info(path, &w, &h, &n)) return fail(path, "%s", stbi_failure_reason());
    c = n < 3 ? 1 : 3; /* without alpha */
    bytes = stbi_load(path, &w, &h, &n, c);
    if (!bytes) return fail(path, "%s", stbi_failure_reason());
    planes = malloc((size_t)w * (size_t)h * (size_t)c);
    for (n = 0; planes && n < c; n++)
        for (x = 0; x < w * h; x++)
            planes[(size_t)n * (size_t)(w * h) + (size_t)x] = bytes[c * x + n];
    status = planes
                 ? nc_axx_view_image(&s->view, planes, (uint32_t)c, (uint32_t)h, (uint32_t)w, out)
                 : NC_ERR_MEMORY;
    free(planes);
    stbi_image_free(bytes);
    if (status == NC_OK) return 0;
    return fail(path, "%d x %d x %d cannot become %u x %u x %u after --resize %u", c, h, w,
                (unsigned)s->view.channels, (unsigned)s->view.height, (unsigned)s->view.width,
                (unsigned)s->view.resize);
}

static size_t pixels_of(const source *s) {
    return (size_t)s->view.channels * s->view.height * s->view.width;
}

/* n images from the first on, in the order, as the network sees them. */
static int read_images(const source *s, size_t first, size_t n, float *pixels, uint32_t *labels) {
    size_t i;
    int failed = 0;
    for (i = 0; i < n; i++) labels[i] = s->labels[s->order[first + i]];
#ifdef _OPENMP
#pragma omp parallel for schedule(dynamic) reduction(| : failed)
#endif
    for (i = 0; i < n; i++) {
        const uint32_t at = s->order[first + i];
        float *to = pixels + i * pixels_of(s);
        if (s->paths)
            failed |= decode(s, s->paths[at], to);
        else if (nc_axx_view_data(&s->view, &s->data, at, 1, to) != NC_OK)
            failed |= 2;
    }
    if (failed == 2)
        return fail("images", "%u x %u x %u cannot become %u x %u x %u after --resize %u",
                    (unsigned)s->data.channels, (unsigned)s->data.height, (unsigned)s->data.width,
                    (unsigned)s->view.channels, (unsigned)s->view.height, (unsigned)s->view.width,
                    (unsigned)s->view.resize);
    return failed != 0;
}

/* Images that stay in memory as floats. */
static int hold(const source *s, size_t n, nc_axx_images *images) {
    float *pixels = malloc((n + !n) * pixels_of(s) * sizeof *pixels);
    uint32_t *labels = malloc((n + !n) * sizeof *labels);
    images->pixels = pixels;
    images->labels = labels;
    images->count = n;
    if (!pixels || !labels)
        return fail("images", "no memory for %lu of them: --train-limit takes fewer",
                    (unsigned long)n);
    return read_images(s, 0, n, pixels, labels);
}

static void let_go(nc_axx_images *images) {
    free((void *)(uintptr_t)images->pixels);
    free((void *)(uintptr_t)images->labels);
}

/* -- the network -- */

static uint64_t all_macs(void) {
    uint64_t macs = 0;
    uint32_t i;
    for (i = 0; i < layer_count; i++) macs += layers[i].macs;
    return macs;
}

static uint64_t all_parameters(void) {
    nc_axx_node_info info;
    uint64_t all = 0;
    size_t n = 0;
    uint32_t i;
    if (net) (void)nc_axx_net_parameters(net, &n);
    for (i = 0; !net && nc_axx_graph_node(graph, i, &info) == NC_OK; i++) all += info.parameters;
    return net ? n : all;
}

static const nc_axx_images *calibration; /* the first images to train */

/* The calibration by its name. */
static nc_axx_calibration method_of(const char *name) {
    static const char *const names[] = {"max", "percentile", "mse", "entropy"};
    int k = 0;
    while (k < NC_AXX_CALIBRATION_COUNT && strcmp(names[k], name) != 0) k++;
    return (nc_axx_calibration)k;
}

static nc_status calibrate(void) {
    const nc_axx_calibration method = method_of(o.calibrate);
    nc_axx_images few = *calibration;
    if (few.count > o.calibration) few.count = o.calibration;
    return net ? nc_axx_net_calibrate(net, &few, method, 0)
               : nc_axx_graph_calibrate(graph, few.pixels, few.count, method, 0);
}

/* Sets the network, calibrated for the bits it has now. Returns the power relative to exact
   products, 0 where that of a multiplier is not known; below 0: failed. */
static double assign(const nc_axx_layer_options *assignment) {
    static uint32_t bits[LAYERS];
    double power = 0, macs = 0;
    uint32_t i;
    int unknown = 0, changed = 0;
    for (i = 0; i < layer_count; i++) {
        const nc_axx_layer_options *how = &assignment[i];
        const uint32_t m = multiplier_of(how);
        const float each = how->mode == NC_AXX_MODE_INTEGER ? multipliers[m].relative_power : 1.0f;
        if (set_layers(layers[i].name, how, NULL) != NC_OK)
            return fail(layers[i].name, "cannot be set"), -1;
        changed |= bits[i] != how->bits;
        bits[i] = how->bits;
        unknown |= !(each > 0);
        power += (double)each * (double)layers[i].macs;
        macs += (double)layers[i].macs;
    }
    if (changed && calibrate() != NC_OK) return fail("calibration", "failed"), -1;
    return unknown ? 0 : power / macs;
}

/* Counts an answer: how many classes come before the right one, of equal ones the first. */
static void count_answer(const float *logits, uint32_t label, outcome *out) {
    uint32_t rank = 0, k;
    double most = (double)logits[0], sum = 0;
    for (k = 0; k < classes; k++) {
        if (k != label)
            rank += !(logits[k] < logits[label] || (logits[k] <= logits[label] && k > label));
        most = fmax(most, (double)logits[k]);
    }
    for (k = 0; k < classes; k++) sum += exp((double)logits[k] - most);
    out->right1 += rank == 0;
    out->right5 += rank < 5;
    out->loss += log(sum) + most - (double)logits[label];
    out->images++;
}

/* Images through the network, a batch at a time; added to what was counted before. */
static nc_status forward(const nc_axx_images *images, outcome *out) {
    static float *logits;
    const size_t each = (size_t)channels * height * width;
    size_t first, n, i;
    if (!logits) logits = malloc((size_t)batch * classes * sizeof *logits);
    if (!logits) return NC_ERR_MEMORY;
    for (first = 0; first < images->count; first += n) {
        const float *pixels = images->pixels + first * each;
        nc_status status;
        n = images->count - first < batch ? images->count - first : batch;
        status = net ? nc_axx_net_forward(net, pixels, n, logits)
                     : nc_axx_graph_forward(graph, pixels, n, logits);
        if (status != NC_OK) return status;
        for (i = 0; i < n; i++) count_answer(logits + i * classes, images->labels[first + i], out);
    }
    return NC_OK;
}

/* -- rows: a way to multiply, and what comes of it -- */

typedef struct row {
    char name[64];
    double power;    /* relative; 0: not known, or float32 */
    const char *way; /* of the engine; null: none */
    int retrained;
    outcome before, after;
} row;

static row rows[ROWS];
static uint32_t row_count;

/* Wilson's interval (1927) of a share of n, for a normal deviate of 1.96: 95 %. */
static void wilson(size_t right, size_t n, double *low, double *high) {
    const double z = 1.959963984540054, p = (double)right / (double)n, zz = z * z / (double)n;
    const double middle = (p + zz / 2) / (1 + zz);
    const double half = z / (1 + zz) * sqrt(p * (1 - p) / (double)n + zz / 4 / (double)n);
    *low = middle - half > 0 ? middle - half : 0;
    *high = middle + half < 1 ? middle + half : 1;
}

static int evaluate(const char *what, const source *test, outcome *out) {
    static float *pixels;
    static uint32_t labels[CHUNK];
    size_t first, n;
    if (!pixels) pixels = malloc(CHUNK * pixels_of(test) * sizeof *pixels);
    if (!pixels) return fail("images", "out of memory");
    memset(out, 0, sizeof *out);
    for (first = 0; first < test->count; first += n) {
        nc_axx_images images;
        nc_status status;
        double start;
        progress(what, first, test->count, "");
        n = test->count - first < CHUNK ? test->count - first : CHUNK;
        if (read_images(test, first, n, pixels, labels)) return 1;
        images.pixels = pixels;
        images.labels = labels;
        images.count = n;
        start = now();
        status = forward(&images, out);
        if (status != NC_OK) return fail(what, "%s", nc_status_str(status));
        out->seconds += now() - start;
    }
    out->loss /= (double)out->images;
    progress(what, 1, 1, "");
    return 0;
}

static int watch(void *user, uint32_t step, uint32_t steps, float loss, float accuracy) {
    char more[48];
    (void)accuracy;
    snprintf(more, sizeof more, "loss %.3f", (double)loss);
    progress((const char *)user, step - 1, steps, more);
    return 0;
}

static int retrain(char *what, const nc_axx_images *images) {
    nc_axx_training how;
    nc_status status;
    memset(&how, 0, sizeof how);
    how.epochs = o.retrain;
    how.lr = o.lr;
    how.clip_norm = o.clip;
    how.shift = o.shift;
    how.flip = o.flip;
    how.cosine = 1;
    how.seed = 99;
    how.watch = watch;
    how.user = what;
    progress(what, 0, 1, "");
    status = net ? nc_axx_net_train(net, images, &how) : nc_axx_graph_train(graph, images, &how);
    return status == NC_OK ? 0 : fail(what, "%s", nc_status_str(status));
}

/* Copies all parameters out of the network, or back. */
static void copy_parameters(float *kept, int back) {
    nc_axx_tensor t;
    size_t n;
    uint32_t i;
    if (net) {
        float *values = nc_axx_net_parameters(net, &n);
        memcpy(back ? values : kept, back ? kept : values, n * sizeof *kept);
    }
    for (i = 0; !net && nc_axx_graph_tensor(graph, i, &t) == NC_OK; i++, kept += t.count)
        memcpy(back ? t.values : kept, back ? kept : t.values, t.count * sizeof *kept);
}

/* The parameters as they were loaded. */
static float *loaded_parameters(void) {
    static float *kept;
    nc_axx_tensor t;
    size_t n = 0;
    uint32_t i;
    if (kept) return kept;
    if (net) (void)nc_axx_net_parameters(net, &n);
    for (i = 0; !net && nc_axx_graph_tensor(graph, i, &t) == NC_OK; i++) n += t.count;
    kept = malloc(n * sizeof *kept);
    if (kept) copy_parameters(kept, 0);
    return kept;
}

/* Tests the present assignment and, where asked for, what retraining makes of it; the parameters
   are as before afterwards. */
static int run_row(row *r, const source *test, const nc_axx_images *train) {
    char what[96];
    float *kept;
    if (evaluate(r->name, test, &r->before)) return 1;
    if (!o.retrain) return 0;
    kept = loaded_parameters();
    if (!kept) return fail("parameters", "out of memory");
    snprintf(what, sizeof what, "%s, retraining", r->name);
    if (retrain(what, train) || evaluate(r->name, test, &r->after)) return 1;
    r->retrained = 1;
    copy_parameters(kept, 1);
    return 0;
}

static row *new_row(const char *name) {
    row *r = &rows[row_count++];
    snprintf(r->name, sizeof r->name, "%s", name);
    return r;
}

static void print_outcome(const outcome *x, int more) {
    double low, high;
    wilson(x->right1, x->images, &low, &high);
    printf(" %7.2f %6.2f..%6.2f", 100 * (double)x->right1 / (double)x->images, 100 * low,
           100 * high);
    if (more) printf(" %7.2f %8.4f", 100 * (double)x->right5 / (double)x->images, x->loss);
}

static void print_head(void) {
    printf("%-24s %6s %9s %7s %14s %7s %8s", "", "power", "ms/image", "top-1 %", "95 %", "top-5 %",
           "loss");
    if (o.retrain) printf(" | %7s %14s", "retr. %", "95 %");
    printf("\n");
}

static void print_row(const row *r) {
    if (o.json) return;
    printf("%-24.24s", r->name);
    if (r->power > 0)
        printf(" %6.3f", r->power);
    else
        printf(" %6s", "-");
    printf(" %9.3f", 1e3 * r->before.seconds / (double)r->before.images);
    print_outcome(&r->before, 1);
    if (r->retrained) {
        printf(" |");
        print_outcome(&r->after, 0);
    }
    if (r->way) printf("  %s", r->way);
    printf("\n");
    fflush(stdout);
}

static int uniform_row(uint32_t m, const source *test, const nc_axx_images *train) {
    static nc_axx_engine_info info[MOST];
    nc_axx_layer_options assignment[LAYERS];
    row *r = new_row(m ? multipliers[m].name : o.bits == 8 ? "int8 exact" : "exact");
    fill(assignment, m, NC_AXX_MODE_INTEGER);
    r->power = assign(assignment);
    if (r->power < 0) return 1;
    nc_axx_engine_describe(engines[m], &info[m]);
    r->way = info[m].text;
    if (run_row(r, test, train)) return 1;
    print_row(r);
    return 0;
}

static int mixed_row(const char *name, const nc_axx_layer_options *assignment, const source *test,
                     const nc_axx_images *train) {
    row *r = new_row(name);
    r->power = assign(assignment);
    if (r->power < 0 || run_row(r, test, train)) return 1;
    print_row(r);
    return 0;
}

/* float32, exact bytes, every multiplier that is listed, the assignments of the config file. */
static int all_rows(const source *test, const nc_axx_images *train) {
    nc_axx_layer_options assignment[LAYERS];
    uint32_t i;
    row *r = new_row("float32");
    fill(assignment, 0, NC_AXX_MODE_FLOAT);
    if (assign(assignment) < 0 || run_row(r, test, train)) return 1;
    print_row(r);
    if (uniform_row(0, test, train)) return 1;
    for (i = 1; i < count; i++)
        if (listed[i] && uniform_row(i, test, train)) return 1;
    for (i = 0; i < mixed_count; i++)
        if (mixed_row(assignments[i].name, assignments[i].assignment, test, train)) return 1;
    return 0;
}

/* -- search -- */

typedef struct problem {
    uint8_t candidates[MOST]; /* multipliers with a power */
    nc_axx_images images;
    nc_axx_search *s;
    size_t resumed; /* assignments of the state's file */
    double saved;   /* when that was written */
} problem;

/* The assignment of multipliers that a search asks for. */
static void from_search(const problem *p, const uint8_t *asked, nc_axx_layer_options *assignment) {
    uint32_t i;
    fill(assignment, 0, NC_AXX_MODE_INTEGER);
    for (i = 0; i < layer_count; i++) assignment[i].engine = engines[p->candidates[asked[i]]];
}

static int try_assignment(void *user, const uint8_t *asked, double *accuracy) {
    const problem *p = (const problem *)user;
    nc_axx_layer_options assignment[LAYERS];
    outcome out;
    memset(&out, 0, sizeof out);
    from_search(p, asked, assignment);
    if (assign(assignment) < 0 || forward(&p->images, &out) != NC_OK) return 1;
    *accuracy = (double)out.right1 / (double)out.images;
    return 0;
}

/* The state of the search into its file. */
static int save_state(problem *p) {
    nc_error err;
    p->saved = now();
    return nc_axx_search_save(p->s, o.state, &err) == NC_OK ? 0 : fail(o.state, "%s", err.message);
}

static int search_progress(void *user, uint64_t done, uint64_t total) {
    problem *p = (problem *)user;
    progress("search", done, total, "");
    return o.state && now() > p->saved + 10 ? save_state(p) : 0;
}

/* FNV-1a, goes on from a hash. */
static uint64_t hash_of(uint64_t hash, const void *data, size_t bytes) {
    const uint8_t *at = (const uint8_t *)data;
    while (bytes--) hash = (hash ^ *at++) * UINT64_C(1099511628211);
    return hash;
}

/* What the accuracies of a search depend on: parameters, images, multipliers, calibration. As the
   seed it keeps states of one problem out of another. */
static uint64_t fingerprint(const problem *p) {
    const size_t each = (size_t)channels * height * width;
    const size_t few = calibration->count < o.calibration ? calibration->count : o.calibration;
    uint64_t hash = UINT64_C(14695981039346656037);
    nc_axx_tensor t;
    size_t n = 0;
    uint32_t i;
    if (net) {
        const float *values = nc_axx_net_parameters(net, &n);
        hash = hash_of(hash, values, n * sizeof *values);
    }
    for (i = 0; !net && nc_axx_graph_tensor(graph, i, &t) == NC_OK; i++)
        hash = hash_of(hash, t.values, t.count * sizeof *t.values);
    hash = hash_of(hash, p->images.pixels, p->images.count * each * sizeof(float));
    hash = hash_of(hash, p->images.labels, p->images.count * sizeof(uint32_t));
    hash = hash_of(hash, calibration->pixels, few * each * sizeof(float));
    hash = hash_of(hash, o.calibrate, strlen(o.calibrate));
    hash = hash_of(hash, &o.bits, sizeof o.bits);
    for (i = 0; i < count; i++)
        hash = hash_of(hash, multipliers[i].table, sizeof multipliers[i].table);
    return hash;
}

/* Takes up what the file of an earlier run knows, where there is one. */
static int resume_search(problem *p) {
    nc_error err;
    p->saved = now();
    if (!o.state || !exists(o.state)) return 0;
    if (nc_axx_search_resume(p->s, o.state, &err) == NC_OK) {
        p->resumed = nc_axx_search_count(p->s);
        return 0;
    }
    if (!err.line) return fail("--state", "%s", err.message);
    return fail(o.state, "line %d: %s%s", (int)err.line, err.message,
                err.status == NC_ERR_MISMATCH && err.line == 1
                    ? "; the model, images or options are others: take another file"
                    : "");
}

/* A text that was written to memory, to a file. */
static int write_text(const char *path, FILE *file, char **text, size_t *bytes) {
    nc_error err;
    int failed;
    if (!cli_text_close(file, text, bytes)) return fail(path, "out of memory");
    failed = nc_file_write(path, *text, *bytes, &err) != NC_OK;
    free(*text);
    return failed ? fail(path, "%s", err.message) : 0;
}

/* The assignment as lines of a config file. */
static int save_assignment(const char *path, const nc_axx_layer_options *assignment) {
    char *text = NULL;
    size_t bytes = 0;
    FILE *file = cli_text_open(&text, &bytes);
    uint32_t i;
    if (!file) return fail(path, "out of memory");
    fprintf(file, "[searched]\n");
    for (i = 0; i < layer_count; i++)
        fprintf(file, "%s = %s %u\n", layers[i].name, specs[multiplier_of(&assignment[i])],
                (unsigned)assignment[i].bits);
    return write_text(path, file, &text, &bytes);
}

/* Members of the Pareto front, tested: images the search has not seen. */
typedef struct member {
    double power, validation;
    outcome test;
} member;

static member front[FRONT];
static uint32_t front_count;
static size_t evaluated, resumed; /* assignments */

/* Up to FRONT members of the front, from one end to the other. */
static int test_front(const nc_axx_search *s, const problem *p, const source *test) {
    static nc_axx_solution all[1024];
    char what[32];
    nc_axx_layer_options assignment[LAYERS];
    size_t n, k;
    if (nc_axx_search_front(s, all, sizeof all / sizeof *all, &n) != NC_OK)
        return fail("search", "out of memory");
    if (n > sizeof all / sizeof *all) n = sizeof all / sizeof *all;
    front_count = n < FRONT ? (uint32_t)n : FRONT;
    for (k = 0; k < front_count; k++) {
        const nc_axx_solution *one = &all[front_count < 2 ? 0 : k * (n - 1) / (front_count - 1)];
        from_search(p, one->assignment, assignment);
        front[k].power = assign(assignment);
        front[k].validation = one->accuracy;
        snprintf(what, sizeof what, "front, %u of %u", (unsigned)k + 1, (unsigned)front_count);
        if (front[k].power < 0 || evaluate(what, test, &front[k].test)) return 1;
    }
    return 0;
}

/* The multipliers to choose from: those whose power is known. */
static uint32_t candidates_of(problem *p, float *power) {
    uint32_t i, n = 0;
    for (i = 0; i < count; i++)
        if (multipliers[i].relative_power > 0) {
            p->candidates[n] = (uint8_t)i;
            power[n++] = multipliers[i].relative_power;
        }
    return n;
}

static int run_search(problem *p, const nc_axx_search_config *c, nc_axx_solution *best) {
    nc_status status = nc_axx_search_create(&p->s, c);
    if (status != NC_OK) return fail("search", "%s", nc_status_str(status));
    if (resume_search(p)) return 1;
    status = nc_axx_search_mcts(p->s, o.search);
    if (status == NC_OK) status = nc_axx_search_genetic(p->s, o.search);
    if (status != NC_OK) return fail("search", "%s", nc_status_str(status));
    if (o.state && save_state(p)) return 1;
    if (nc_axx_search_best(p->s, best) == NC_OK) return 0;
    return fail("search", "no assignment loses at most %.3g: --drop allows more", (double)o.drop);
}

/* Finds assignments on the images to validate with; the best becomes a row, and the front is
   tested. */
static int search(const nc_axx_images *images, const source *test, const nc_axx_images *train) {
    static problem p;
    double share[LAYERS], exact = 0;
    float power[MOST];
    const uint8_t all_exact[LAYERS] = {0};
    nc_axx_layer_options assignment[LAYERS];
    nc_axx_search_config c;
    nc_axx_solution best;
    uint32_t i;
    memset(&c, 0, sizeof c);
    c.candidates = candidates_of(&p, power);
    if (c.candidates < 2)
        return fail("search", "no multiplier with a known power (--power NAME=X)");
    p.images = *images;
    for (i = 0; i < layer_count; i++) share[i] = (double)layers[i].macs / (double)all_macs();
    if (try_assignment(&p, all_exact, &exact)) return fail("search", "failed");
    c.layers = layer_count;
    c.share = share;
    c.power = power;
    c.least_accuracy = exact - (double)o.drop;
    c.evaluate = try_assignment;
    c.user = &p;
    c.seed = fingerprint(&p);
    c.progress = search_progress;
    c.progress_user = &p;
    if (run_search(&p, &c, &best)) return 1;
    from_search(&p, best.assignment, assignment);
    if (mixed_row("searched", assignment, test, train) || test_front(p.s, &p, test)) return 1;
    evaluated = nc_axx_search_count(p.s);
    resumed = p.resumed;
    if (!o.json)
        printf("\n%lu assignments (%lu of them from %s) on %lu images, exact bytes %.2f %%; the "
               "front, tested:\n",
               (unsigned long)evaluated, (unsigned long)resumed, o.state ? o.state : "no state",
               (unsigned long)images->count, 100 * exact);
    nc_axx_search_destroy(p.s);
    return o.save_config ? save_assignment(o.save_config, assignment) : 0;
}

/* -- results as tables -- */

static void print_front(void) {
    uint32_t k;
    printf("%8s %12s %10s %16s\n", "power", "validation %", "test %", "95 %");
    for (k = 0; k < front_count; k++) {
        const outcome *x = &front[k].test;
        double low, high;
        wilson(x->right1, x->images, &low, &high);
        printf("%8.3f %12.2f %10.2f %8.2f..%6.2f\n", front[k].power, 100 * front[k].validation,
               100 * (double)x->right1 / (double)x->images, 100 * low, 100 * high);
    }
}

/* The layers as the network has them now. */
static void print_table(const char *title) {
    char *text;
    size_t bytes;
    nc_status status =
        net ? nc_axx_net_table(net, &text, &bytes) : nc_axx_graph_table(graph, &text, &bytes);
    if (status != NC_OK) return;
    printf("%s\n%s\n", title, text);
    nc_axx_free_text(text);
}

/* The layers with exact bytes, or in every mixed assignment. */
static int print_layers(void) {
    nc_axx_layer_options assignment[LAYERS];
    uint32_t i;
    fill(assignment, 0, NC_AXX_MODE_INTEGER);
    if (!mixed_count && assign(assignment) < 0) return 1;
    if (!mixed_count) print_table("exact bytes");
    for (i = 0; i < mixed_count; i++) {
        if (assign(assignments[i].assignment) < 0) return 1;
        print_table(assignments[i].name);
    }
    return 0;
}

/* Text between the marks of JSON or, with two quotes for one, of CSV. */
static void put_quoted(FILE *file, const char *text, int csv) {
    fputc('"', file);
    for (; *text; text++) {
        if (*text == '"') fputc(csv ? '"' : '\\', file);
        if (*text == '\\' && !csv) fputc('\\', file);
        fputc(*text, file);
    }
    fputc('"', file);
}

static void json_outcome(const char *before, const outcome *x) {
    double low, high;
    wilson(x->right1, x->images, &low, &high);
    printf("%s\"right\": %lu, \"top1\": %.6f, \"low\": %.6f, \"high\": %.6f, \"top5\": %.6f, "
           "\"loss\": %.6f, \"ms_per_image\": %.4f",
           before, (unsigned long)x->right1, (double)x->right1 / (double)x->images, low, high,
           (double)x->right5 / (double)x->images, x->loss, 1e3 * x->seconds / (double)x->images);
}

static void print_json(const source *test, const nc_axx_images *train) {
    uint32_t i;
    printf("{\"parameters\": %llu, \"macs\": %llu, \"test\": %lu, \"train\": %lu,\n \"rows\": [",
           (unsigned long long)all_parameters(), (unsigned long long)all_macs(),
           (unsigned long)test->count, (unsigned long)train->count);
    for (i = 0; i < row_count; i++) {
        printf("%s\n  {\"row\": ", i ? "," : "");
        put_quoted(stdout, rows[i].name, 0);
        if (rows[i].power > 0) printf(", \"power\": %.6f", rows[i].power);
        json_outcome(", ", &rows[i].before);
        if (rows[i].retrained) {
            json_outcome(", \"retrained\": {", &rows[i].after);
            printf("}");
        }
        printf("}");
    }
    printf("],\n \"evaluated\": %lu, \"resumed\": %lu,\n \"front\": [", (unsigned long)evaluated,
           (unsigned long)resumed);
    for (i = 0; i < front_count; i++) {
        printf("%s\n  {\"power\": %.6f, \"validation\": %.6f", i ? "," : "", front[i].power,
               front[i].validation);
        json_outcome(", ", &front[i].test);
        printf("}");
    }
    printf("]}\n");
}

static void csv_outcome(FILE *file, const outcome *x) {
    double low, high;
    wilson(x->right1, x->images, &low, &high);
    fprintf(file, ",%lu,%lu,%.6f,%.6f,%.6f,%.6f,%.6f,%.4f", (unsigned long)x->images,
            (unsigned long)x->right1, (double)x->right1 / (double)x->images, low, high,
            (double)x->right5 / (double)x->images, x->loss, 1e3 * x->seconds / (double)x->images);
}

/* A line a row; retrained ones are lines of their own. */
static int write_csv(const char *path) {
    char *text = NULL;
    size_t bytes = 0;
    FILE *file = cli_text_open(&text, &bytes);
    uint32_t i, k;
    if (!file) return fail(path, "out of memory");
    fprintf(file, "row,retrained,power,images,right,top1,low,high,top5,loss,ms_per_image\n");
    for (i = 0; i < row_count; i++)
        for (k = 0; k <= (uint32_t)rows[i].retrained; k++) {
            put_quoted(file, rows[i].name, 1);
            fprintf(file, ",%u,", (unsigned)k);
            if (rows[i].power > 0) fprintf(file, "%.6f", rows[i].power);
            csv_outcome(file, k ? &rows[i].after : &rows[i].before);
            fputc('\n', file);
        }
    for (i = 0; i < front_count; i++) {
        fprintf(file, "front,0,%.6f", front[i].power);
        csv_outcome(file, &front[i].test);
        fputc('\n', file);
    }
    return write_text(path, file, &text, &bytes);
}

/* -- accuracy against power as SVG: rows with their intervals, the fronts as lines -- */

enum { LEFT = 70, RIGHT = 690, TOP = 50, BOTTOM = 400 };

/* The range of power and accuracy that the frame shows. */
typedef struct axes {
    double x0, x1, y0, y1;
} axes;

static double across(const axes *a, double power) {
    return LEFT + (power - a->x0) / (a->x1 - a->x0) * (RIGHT - LEFT);
}

static double up(const axes *a, double accuracy) {
    return BOTTOM - (accuracy - a->y0) / (a->y1 - a->y0) * (BOTTOM - TOP);
}

/* 1, 2 or 5 times a power of ten that divides a range into about six. */
static double tick(double range) {
    double step = 1e-6;
    int i = 0;
    while (range / step > 8) step *= i++ % 3 == 1 ? 2.5 : 2.0;
    return step;
}

/* What is shown: a row, or a row after retraining, or a member of the front. */
typedef struct point {
    double power, accuracy, low, high;
    const char *name; /* null: none */
    int kind;         /* 0, 1, 2 */
} point;

static point points[2 * ROWS + FRONT];
static size_t point_count;
static double float_accuracy[2]; /* before and after retraining */

static void add_point(double power, const outcome *x, const char *name, int kind) {
    point *p = &points[point_count++];
    p->power = power;
    p->accuracy = (double)x->right1 / (double)x->images;
    wilson(x->right1, x->images, &p->low, &p->high);
    p->name = name;
    p->kind = kind;
}

static int by_power(const void *a, const void *b) {
    const point *p = (const point *)a, *q = (const point *)b;
    if (p->power != q->power) return p->power < q->power ? -1 : 1;
    return (p->accuracy < q->accuracy) - (p->accuracy > q->accuracy);
}

static void collect_points(void) {
    uint32_t i;
    for (i = 0; i < row_count; i++) {
        const row *r = &rows[i];
        if (i == 0) {
            float_accuracy[0] = (double)r->before.right1 / (double)r->before.images;
            if (r->retrained) float_accuracy[1] = (double)r->after.right1 / (double)r->after.images;
        } else if (r->power > 0) {
            add_point(r->power, &r->before, r->name, 0);
            if (r->retrained) add_point(r->power, &r->after, NULL, 1);
        }
    }
    for (i = 0; i < front_count; i++) add_point(front[i].power, &front[i].test, NULL, 2);
    qsort(points, point_count, sizeof *points, by_power);
}

/* All points, the lines of float32 and some room; rows that fail altogether do not flatten the
   rest: below half of the best accuracy the range is cut off and its points stand on the edge. */
static axes range_of_points(void) {
    axes a = {1e9, -1e9, 1e9, 0};
    double best = float_accuracy[0];
    size_t i;
    int k;
    for (i = 0; i < point_count; i++)
        if (points[i].accuracy > best) best = points[i].accuracy;
    for (k = 0; k < 2; k++) {
        a.y1 = fmax(a.y1, float_accuracy[k]);
        if (float_accuracy[k] > 0) a.y0 = fmin(a.y0, float_accuracy[k]);
    }
    for (i = 0; i < point_count; i++) {
        a.x0 = fmin(a.x0, points[i].power);
        a.x1 = fmax(a.x1, points[i].power);
        if (points[i].accuracy >= best / 2) a.y0 = fmin(a.y0, points[i].low);
        a.y1 = fmax(a.y1, points[i].high);
    }
    a.x1 += 0.06 * (a.x1 - a.x0) + 0.01;
    a.x0 -= 0.06 * (a.x1 - a.x0) + 0.01;
    a.y1 += 0.05 * (a.y1 - a.y0) + 0.002;
    a.y0 -= 0.05 * (a.y1 - a.y0) + 0.002;
    return a;
}

static void grid(FILE *f, const axes *a) {
    const double step_x = tick(a->x1 - a->x0), step_y = tick(100 * (a->y1 - a->y0)) / 100;
    double at, first = step_x * floor(a->x0 / step_x);
    int i;
    for (i = 0; (at = first + i * step_x) <= a->x1; i++)
        if (at >= a->x0)
            fprintf(f,
                    "<path d=\"M%.1f %dV%d\" stroke=\"#ddd\"/><text x=\"%.1f\" y=\"%d\" "
                    "text-anchor=\"middle\">%.4g</text>\n",
                    across(a, at), TOP, BOTTOM, across(a, at), BOTTOM + 17, at);
    first = step_y * floor(a->y0 / step_y);
    for (i = 0; (at = first + i * step_y) <= a->y1; i++)
        if (at >= a->y0)
            fprintf(f,
                    "<path d=\"M%d %.1fH%d\" stroke=\"#ddd\"/><text x=\"%d\" y=\"%.1f\" "
                    "text-anchor=\"end\">%.4g</text>\n",
                    LEFT, up(a, at), RIGHT, LEFT - 6, up(a, at) + 4, 100 * at);
}

static const char *const colour[] = {"#06c", "#c60", "#393"};

static double height_of(const axes *a, double accuracy) { return fmin(up(a, accuracy), BOTTOM); }

/* The Pareto front of one kind as a staircase: more power never hurts. */
static void staircase(FILE *f, const axes *a, int kind) {
    double best = -1;
    size_t i;
    for (i = 0; i < point_count; i++) {
        if (points[i].kind != kind || points[i].accuracy <= best) continue;
        fprintf(f,
                best < 0 ? "<path fill=\"none\" stroke-width=\"1.5\" d=\"M%.1f %.1f" : "H%.1fV%.1f",
                across(a, points[i].power), height_of(a, points[i].accuracy));
        best = points[i].accuracy;
    }
    if (best >= 0) fprintf(f, "H%d\" stroke=\"%s\"/>\n", RIGHT, colour[kind]);
}

/* Where names stand already. */
typedef struct box {
    double x0, y0, x1, y1;
} box;

static box taken[4 * ROWS + FRONT];
static size_t taken_count;

static int is_free(const box *b) {
    size_t i;
    if (b->x0 < LEFT || b->x1 > RIGHT || b->y0 < TOP || b->y1 > BOTTOM) return 0;
    for (i = 0; i < taken_count; i++)
        if (b->x0 < taken[i].x1 && taken[i].x0 < b->x1 && b->y0 < taken[i].y1 &&
            taken[i].y0 < b->y1)
            return 0;
    return 1;
}

/* Text of a user in XML. */
static void put_escaped(FILE *f, const char *text) {
    for (; *text; text++) switch (*text) {
        case '<': fputs("&lt;", f); break;
        case '>': fputs("&gt;", f); break;
        case '&': fputs("&amp;", f); break;
        default: fputc(*text, f);
        }
}

/* A name at the first of several places round its point where nothing stands yet. */
static void label(FILE *f, double x, double y, const char *name) {
    static const double dx[] = {8, 8, -8, -8, 8, -8, 8, 8}, dy[] = {15, -9, -9, 15, 4, 4, -22, 30};
    const double wide = 6.4 * (double)strlen(name);
    box b = {0, 0, 0, 0};
    size_t i;
    for (i = 0; i < sizeof dx / sizeof *dx; i++) {
        b.x0 = dx[i] > 0 ? x + dx[i] : x + dx[i] - wide;
        b.x1 = b.x0 + wide;
        b.y1 = y + dy[i] + 2;
        b.y0 = b.y1 - 12;
        if (is_free(&b)) break;
    }
    if (i == sizeof dx / sizeof *dx) return;
    taken[taken_count++] = b;
    fprintf(f,
            "<text x=\"%.1f\" y=\"%.1f\" font-size=\"11\" stroke=\"white\" stroke-width=\"3\" "
            "paint-order=\"stroke\">",
            b.x0, b.y1 - 2);
    put_escaped(f, name);
    fputs("</text>\n", f);
}

static void draw_points(FILE *f, const axes *a) {
    size_t i;
    for (i = 0; i < point_count; i++) {
        const point *p = &points[i];
        const double x = across(a, p->power), y = height_of(a, p->accuracy);
        const box b = {x - 5, y - 5, x + 5, y + 5};
        taken[taken_count++] = b;
        if (p->kind < 2)
            fprintf(f, "<path d=\"M%.1f %.1fV%.1f\" stroke=\"%s\" opacity=\"0.4\"/>\n", x,
                    height_of(a, p->low), height_of(a, p->high), colour[p->kind]);
        fprintf(f, "<circle cx=\"%.1f\" cy=\"%.1f\" r=\"%s\" fill=\"%s\"/>\n", x, y,
                p->kind < 2 ? "4" : "2.5", colour[p->kind]);
    }
    for (i = 0; i < point_count; i++) {
        const point *p = &points[i];
        char text[96];
        if (!p->name) continue;
        snprintf(text, sizeof text, "%.64s", p->name);
        if (p->accuracy < a->y0)
            snprintf(text, sizeof text, "%.64s: %.1f %%, below", p->name, 100 * p->accuracy);
        label(f, across(a, p->power), height_of(a, p->accuracy), text);
    }
}

/* Lines of float32, and what the colours mean. */
static void draw_legend(FILE *f, const axes *a) {
    static const char *const meaning[] = {"as trained", "retrained", "front of the search"};
    int k, x = LEFT, below = 0;
    size_t i;
    for (k = 0; k < 2; k++)
        if (float_accuracy[k] > 0)
            fprintf(f, "<path d=\"M%d %.1fH%d\" stroke=\"%s\" stroke-dasharray=\"5 4\"/>\n", LEFT,
                    up(a, float_accuracy[k]), RIGHT, colour[k]);
    for (k = 0; k < 3; k++) {
        if ((k == 1 && !o.retrain) || (k == 2 && !front_count)) continue;
        fprintf(
            f,
            "<circle cx=\"%d\" cy=\"38\" r=\"4\" fill=\"%s\"/><text x=\"%d\" y=\"42\">%s</text>\n",
            x + 4, colour[k], x + 12, meaning[k]);
        x += 110 + 40 * (k == 2);
    }
    fprintf(f, "<text x=\"%d\" y=\"42\" text-anchor=\"end\">bars: 95 %%; dashes: float32</text>\n",
            RIGHT);
    for (i = 0; i < point_count; i++) below += points[i].accuracy < a->y0;
    if (below)
        fprintf(f,
                "<text x=\"%d\" y=\"440\" text-anchor=\"end\">%d of %d below: at the edge</text>\n",
                RIGHT, below, (int)point_count);
}

static int write_plot(const char *path) {
    char *text = NULL;
    size_t bytes = 0;
    FILE *f = cli_text_open(&text, &bytes);
    axes a;
    int kind;
    if (!f) return fail(path, "out of memory");
    collect_points();
    a = range_of_points();
    fprintf(f,
            "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"720\" height=\"450\" "
            "font-family=\"sans-serif\" font-size=\"12\">\n"
            "<rect width=\"720\" height=\"450\" fill=\"white\"/>\n<text x=\"380\" y=\"20\" "
            "text-anchor=\"middle\" font-size=\"15\">Accuracy and power of the multipliers</text>\n"
            "<text x=\"380\" y=\"440\" text-anchor=\"middle\">power of the multipliers, exact = "
            "1</text>\n<text transform=\"translate(18 225) rotate(-90)\" "
            "text-anchor=\"middle\">accuracy, %%</text>\n");
    grid(f, &a);
    draw_legend(f, &a);
    for (kind = 0; kind < 3; kind++) staircase(f, &a, kind);
    draw_points(f, &a);
    fprintf(f,
            "<rect x=\"%d\" y=\"%d\" width=\"%d\" height=\"%d\" fill=\"none\" stroke=\"#333\"/>\n"
            "</svg>\n",
            LEFT, TOP, RIGHT - LEFT, BOTTOM - TOP);
    return write_text(path, f, &text, &bytes);
}

/* -- the program -- */

static const char *const activations[] = {"gelu", "gelu_tanh", "quick_gelu", "silu"};

static void add_layer(const char *name, uint32_t number, uint64_t macs) {
    layer *l = &layers[layer_count++];
    snprintf(l->name, sizeof l->name, "%s", name);
    l->number = number;
    l->macs = macs;
}

/* Shapes and layers of a graph that is finished. */
static int take_graph(void) {
    nc_axx_node_info info;
    uint32_t i;
    if (nc_axx_graph_node(graph, 0, &info) != NC_OK || info.rank != 3)
        return fail(o.model, "its input is no image of channels, height and width");
    channels = info.shape[0];
    height = info.shape[1];
    width = info.shape[2];
    for (i = 0; nc_axx_graph_node(graph, i, &info) == NC_OK; i++) {
        if (info.macs && layer_count == LAYERS) return fail(o.model, "more than 1,024 layers");
        if (info.macs) add_layer(info.name, i, info.macs);
        classes = info.rank == 1 ? info.shape[0] : 0;
    }
    return classes ? 0 : fail(o.model, "its output is no row of logits");
}

static int load_swin(const char *data, size_t bytes) {
    nc_axx_swin c;
    nc_error err;
    nc_status status;
    memset(&c, 0, sizeof c);
    c.image = o.image;
    status = nc_axx_swin_describe(&c, data, bytes, &err);
    if (status == NC_OK && nc_axx_graph_create(&graph) != NC_OK)
        return fail(o.model, "out of memory");
    if (status == NC_OK) status = nc_axx_graph_add_swin(graph, &c, &err);
    if (status == NC_OK) status = nc_axx_graph_finish(graph, batch, o.retrain > 0, &err);
    if (status == NC_OK) status = nc_axx_graph_load_swin(graph, &c, data, bytes, &err);
    return status == NC_OK ? take_graph() : fail(o.model, "%s", err.message);
}

/* A transformer: the configuration from the file's tensors and the options. */
static int load_net(const char *data, size_t bytes) {
    nc_axx_net_config c;
    nc_axx_layer_info info;
    nc_error err;
    nc_status status;
    uint32_t i;
    memset(&c, 0, sizeof c);
    c.batch = batch;
    c.heads = o.heads;
    c.eps = o.eps;
    c.inference = !o.retrain;
    for (i = 0; o.activation && strcmp(activations[i], o.activation) != 0;)
        if (++i == sizeof activations / sizeof *activations)
            return fail(o.activation, "no activation: gelu, gelu_tanh, quick_gelu, silu");
    c.activation = i;
    status = nc_axx_net_describe(&c, data, bytes, &err);
    if (status == NC_ERR_MISMATCH && strstr(err.message, "nc_axx_swin_describe"))
        return load_swin(data, bytes);
    if (status != NC_OK) return fail(o.model, "%s", err.message);
    status = nc_axx_net_create(&net, &c);
    if (status != NC_OK) return fail(o.model, "%s", nc_status_str(status));
    if (nc_axx_net_load(net, data, bytes, &err) != NC_OK) return fail(o.model, "%s", err.message);
    c = *nc_axx_net_get_config(net);
    channels = c.channels;
    height = c.image;
    width = c.width ? c.width : c.image;
    classes = c.classes;
    for (i = 0; i < LAYERS && nc_axx_net_layer(net, i, &info) == NC_OK; i++)
        add_layer(info.name, i, info.macs);
    return nc_axx_net_layers(net) > LAYERS ? fail(o.model, "more than 1,024 layers") : 0;
}

/* Any other network; weights may lie beside its file. */
static int load_graph(const char *data, size_t bytes) {
    char path[1024], *external = NULL;
    nc_axx_onnx file;
    nc_error err;
    nc_status status;
    memset(&file, 0, sizeof file);
    file.data = data;
    file.bytes = bytes;
    file.batch = batch;
    file.training = o.retrain > 0;
    snprintf(path, sizeof path, "%.1000s.data", o.model);
    if (exists(path)) {
        if (nc_file_read(path, &external, &file.external_bytes, &err) != NC_OK)
            return fail(path, "%s", err.message);
        file.external = external;
    }
    status = nc_axx_graph_from_onnx(&graph, &file, &err);
    nc_file_free(external);
    return status == NC_OK ? take_graph() : fail(o.model, "%s", err.message);
}

static int load_model(void) {
    const size_t n = strlen(o.model);
    nc_error err;
    size_t bytes;
    char *data;
    int failed;
    if (nc_file_read(o.model, &data, &bytes, &err) != NC_OK)
        return fail(o.model, "%s", err.message);
    batch = o.batch ? o.batch : 32;
    failed = n > 5 && !strcmp(o.model + n - 5, ".onnx") ? load_graph(data, bytes)
                                                        : load_net(data, bytes);
    nc_file_free(data);
    return failed;
}

/* Images to test, train and validate with: three parts that share none. */
typedef struct parts {
    source test, train, validation;
    nc_axx_images train_images, validation_images; /* as floats */
} parts;

static int open_parts(parts *p) {
    const int own = !o.train && is_folder(o.data) && published_in(o.data) >= 0;
    if (open_source(&p->test, o.data, 0)) return 1;
    if (own || o.train) {
        if (open_source(&p->train, own ? o.data : o.train, 1)) return 1;
    } else {
        p->train = take(&p->test, (p->test.count + 4) / 5);
    }
    if (o.validation) {
        if (open_source(&p->validation, o.validation, 1)) return 1;
    } else if (o.search) {
        p->validation = take(&p->train, p->train.count / 6);
    }
    if (o.limit && p->test.count > o.limit) p->test.count = o.limit;
    if (o.train_limit && p->train.count > o.train_limit) p->train.count = o.train_limit;
    if (!o.retrain && p->train.count > o.calibration) p->train.count = o.calibration;
    if (!p->test.count || !p->train.count || (o.search && !p->validation.count))
        return fail(o.data, "too few images: %lu to test, %lu to train",
                    (unsigned long)p->test.count, (unsigned long)p->train.count);
    return 0;
}

static void print_summary(const parts *p) {
    printf("%s: %llu parameters, %.1f million MACs an image of %u x %u x %u, %u classes\n"
           "%lu images to test, %lu to %s%s; calibrated by %s\n\n",
           o.model, (unsigned long long)all_parameters(), 1e-6 * (double)all_macs(),
           (unsigned)channels, (unsigned)height, (unsigned)width, (unsigned)classes,
           (unsigned long)p->test.count, (unsigned long)p->train.count,
           o.retrain ? "retrain with" : "calibrate with",
           o.train || (is_folder(o.data) && published_in(o.data) >= 0)
               ? ""
               : " (a fifth of the same, drawn evenly)",
           o.calibrate);
}

static int run_parts(parts *p) {
    if (open_parts(p) || hold(&p->train, p->train.count, &p->train_images)) return 1;
    calibration = &p->train_images;
    if (!o.json) print_summary(p);
    if (!o.json && o.layers && print_layers()) return 1;
    if (!o.json) print_head();
    if (all_rows(&p->test, &p->train_images)) return 1;
    if (o.search && (hold(&p->validation, p->validation.count, &p->validation_images) ||
                     search(&p->validation_images, &p->test, &p->train_images)))
        return 1;
    if (o.search && !o.json) print_front();
    if (o.json) print_json(&p->test, &p->train_images);
    if (o.csv && write_csv(o.csv)) return 1;
    return o.svg ? write_plot(o.svg) : 0;
}

static int run(void) {
    parts p;
    int result;
    memset(&p, 0, sizeof p);
    result = run_parts(&p);
    let_go(&p.train_images);
    let_go(&p.validation_images);
    close_source(&p.validation); /* parts before what they are of */
    close_source(&p.train);
    close_source(&p.test);
    return result;
}

static int bad_usage(const char *argument) {
    fprintf(stderr, "axx_eval: bad argument '%s'\n%s", argument, usage);
    return 2;
}

/* The command line: options go over those of a config file, which is read first. */
static int read_arguments(int argc, char **argv) {
    int k, files = 0, pass;
    for (pass = 0; pass < 2; pass++) {
        for (k = 1; k < argc; k++) {
            const char *name = argv[k], *value = k + 1 < argc ? argv[k + 1] : NULL;
            const struct option *option = strncmp(name, "--", 2) ? NULL : find_option(name + 2);
            if (!strcmp(name, "--power") && value) {
                k++;
                if (pass && set_power(value)) return 1;
            } else if (option) {
                if (option->kind != FLAG && !value) return bad_usage(name);
                if (option->kind != FLAG) k++;
                if ((pass || option->value == &o.config) && !set_option(option, value ? value : ""))
                    return bad_usage(value);
            } else if (name[0] == '-') {
                return bad_usage(name);
            } else if (pass && files < 2) {
                *(files++ ? &o.data : &o.model) = name;
            } else if (pass) {
                const uint32_t m = multiplier(name);
                if (m == MOST) return 1;
                listed[m] = 1;
            }
        }
        if (!pass && o.config && read_config(o.config, 0)) return 1;
    }
    return files == 2 ? 0 : bad_usage(files ? "one file" : "no files");
}

static void set_defaults(void) {
    int k;
    o.calibrate = "percentile";
    o.calibration = 256;
    o.largest = 255;
    o.bits = 8;
    o.lr = 5e-4f;
    o.drop = 0.02f;
    for (k = 0; k < 4; k++) o.mean[k] = o.std[k] = 0.5f;
}

/* Where none is asked for: those of EvoApproxLib but the first, which is exact. */
static int list_published(void) {
    uint32_t i, any = 0;
    for (i = 0; i < MOST; i++) any |= (uint32_t)listed[i];
    for (i = 1; !any && !mixed_count && nc_axx_published(i, NULL); i++) {
        const uint32_t m = multiplier(nc_axx_published(i, NULL));
        if (m == MOST) return 1;
        listed[m] = 1;
    }
    return 0;
}

int main(int argc, char **argv) {
    int result;
    uint32_t i;
    argc = cli_begin(argc, argv, "axx_eval", usage);
    set_defaults();
    if (multiplier("exact") == MOST) return 1;
    result = read_arguments(argc, argv);
    if (result) return result;
    if ((o.csv && !cli_can_write(o.csv)) || (o.svg && !cli_can_write(o.svg)) ||
        (o.save_config && !cli_can_write(o.save_config)) || (o.state && !can_go_on(o.state)))
        return CLI_ERROR;
    if (method_of(o.calibrate) == NC_AXX_CALIBRATION_COUNT) return bad_usage(o.calibrate);
    if (o.bits < 2 || o.bits > 8) return bad_usage("--bits");
    result = load_model() || (o.config && read_config(o.config, 1)) || list_published() || run();
    nc_axx_net_destroy(net);
    nc_axx_graph_destroy(graph);
    for (i = 0; i < count; i++) nc_axx_engine_destroy(engines[i]);
    return result;
}
