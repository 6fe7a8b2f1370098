/* axx_vit_digits: train a small vision transformer on 1,797 handwritten digits, for axx_eval: its
   weights as safetensors, and the images to train, to validate and to test as CSV.
   cc -O2 -fopenmp axx_vit_digits.c -lm -o axx_vit_digits */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>
#define NC_AXX_VIT
#define NC_IMPLEMENTATION
#include "../nc_axx.h"
#include "cli.h"

static const char usage[] =
    "usage: axx_vit_digits [--json] [--data CSV] [--out PREFIX] [--epochs N] [--load MODEL]\n"
    "Trains a vision transformer on 30 to 65,536 rows of 64 pixels and a label (default\n"
    "examples/data/digits.csv), or loads one; prints its accuracy in float32 and with exact "
    "bytes,\n"
    "and writes PREFIX.safetensors, PREFIX.train.csv, PREFIX.validation.csv and PREFIX.test.csv\n"
    "(default build/digits), which axx_eval reads.\n"
    "Returns 0, 1 on an error, 2 on bad usage.\n";

enum { MOST = 1 << 16, LEAST = 30, SIDE = 8, PIXELS = 64, CLASSES = 10, LARGEST = 16 };
enum { SHIFTS = 5 }; /* of every image to train: as it is, and a pixel each way */

static uint8_t bytes[MOST][PIXELS];
static float pixels[MOST][PIXELS];
static uint32_t labels[MOST];
static float shifted[SHIFTS * MOST][PIXELS];
static uint32_t shifted_labels[SHIFTS * MOST];
static int json, terminal;
static size_t rows, train_rows, validation_rows, test_rows;

static int fail(const char *what, const char *why) {
    return cli_fail(CLI_ERROR, "%s: %s", what, why);
}

static nc_axx_images part(size_t first, size_t n) {
    nc_axx_images images;
    images.pixels = pixels[first];
    images.labels = labels + first;
    images.count = n;
    return images;
}

/* Rows in a fixed random order: the writers of the file's end are not those of its beginning. */
static int read_digits(const char *path) {
    const nc_axx_data_options how = {.form = NC_AXX_DATA_CSV, .label = -1, .largest = LARGEST};
    const nc_axx_view view = {.largest = LARGEST, .mean = {0.5f}, .deviation = {0.5f}};
    unsigned long long seed = 12;
    static int order[MOST];
    nc_axx_data d;
    nc_error err;
    size_t r;
    memset(&d, 0, sizeof d);
    if (nc_axx_data_load(&d, path, &how, &err) != NC_OK) {
        fprintf(stderr, "axx_vit_digits: %s:%d:%d: %s\n", path, (int)err.line, (int)err.column,
                err.message);
        return 1;
    }
    if (d.height != SIDE || d.width != SIDE || d.classes != CLASSES)
        return fail(path, "is not rows of 64 pixels and one of ten labels");
    if (d.count < LEAST || d.count > MOST) return fail(path, "has not 30 to 65536 rows");
    rows = d.count; /* of 1,797: 1,197 to train, 240 to validate, 360 to test */
    validation_rows = rows * 240 / 1797;
    test_rows = rows * 360 / 1797;
    train_rows = rows - validation_rows - test_rows;
    for (r = 0; r < rows; r++) order[r] = (int)r;
    for (r = rows; r-- > 1;) {
        int other, keep = order[r];
        seed = seed * 6364136223846793005ull + 1442695040888963407ull;
        other = (int)((seed >> 33) % (unsigned)(r + 1));
        order[r] = order[other];
        order[other] = keep;
    }
    for (r = 0; r < rows; r++) {
        memcpy(bytes[order[r]], d.pixels + r * PIXELS, PIXELS);
        labels[order[r]] = d.labels[r];
        (void)nc_axx_view_data(&view, &d, r, 1, pixels[order[r]]);
    }
    nc_axx_data_free(&d);
    return 0;
}

/* Images to train, each five times: moved by a pixel the empty edge comes in. */
static nc_axx_images shifted_images(void) {
    static const int dx[SHIFTS] = {0, 1, -1, 0, 0}, dy[SHIFTS] = {0, 0, 0, 1, -1};
    nc_axx_images images;
    size_t r, s;
    int x, y;
    for (r = 0; r < train_rows; r++)
        for (s = 0; s < SHIFTS; s++) {
            const size_t to = r * SHIFTS + s;
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
    images.count = SHIFTS * train_rows;
    return images;
}

static int watch(void *user, uint32_t step, uint32_t steps, float loss, float accuracy) {
    static clock_t start;
    (void)user;
    (void)accuracy;
    if (step <= 1) start = clock();
    if (terminal)
        fprintf(stderr, "\rtraining %3u %%, loss %.3f, %.0f s  %s", (unsigned)(100 * step / steps),
                (double)loss, (double)(clock() - start) / CLOCKS_PER_SEC,
                step == steps ? "\n" : "");
    return 0;
}

static const char *const endings[] = {".safetensors", ".train.csv", ".validation.csv", ".test.csv"};
enum { FILES = sizeof endings / sizeof *endings };

static int write_file(const char *prefix, const char *ending, const char *text, size_t n) {
    char path[1024];
    snprintf(path, sizeof path, "%.900s%s", prefix, ending);
    return !cli_save(path, text, n);
}

/* Rows of the label and the pixels, 0 to 16. */
static int write_rows(const char *prefix, const char *ending, size_t first, size_t n) {
    static char text[MOST * (3 * PIXELS + 4)];
    size_t used = 0, r, i;
    for (r = first; r < first + n; r++) {
        used += (size_t)sprintf(text + used, "%u", (unsigned)labels[r]);
        for (i = 0; i < PIXELS; i++)
            used += (size_t)sprintf(text + used, ",%u", (unsigned)bytes[r][i]);
        text[used++] = '\n';
    }
    return write_file(prefix, ending, text, used);
}

static int load_model(nc_axx_net *net, const char *path) {
    nc_error err;
    size_t n;
    char *data;
    nc_status status = nc_file_read(path, &data, &n, &err);
    if (status != NC_OK) return fail(path, err.message);
    status = nc_axx_net_load(net, data, n, &err);
    nc_file_free(data);
    return status == NC_OK ? 0 : fail(path, err.message);
}

static int train(nc_axx_net *net, uint32_t epochs) {
    const nc_axx_images images = shifted_images();
    nc_axx_training how;
    memset(&how, 0, sizeof how);
    how.epochs = epochs;
    how.lr = 2e-3f;
    how.cosine = 1;
    how.weight_decay = 0.05f;
    how.watch = watch;
    nc_axx_net_init(net, 1);
    return nc_axx_net_train(net, &images, &how) == NC_OK ? 0 : fail("training", "failed");
}

/* Accuracies, then the files. */
static int report(nc_axx_net *net, const char *prefix) {
    const nc_axx_images all = part(0, train_rows),
                        test = part(train_rows + validation_rows, test_rows);
    nc_axx_score score, exact;
    size_t parameters, n;
    nc_error err;
    char *data;
    memset(&score, 0, sizeof score);
    memset(&exact, 0, sizeof exact);
    (void)nc_axx_net_parameters(net, &parameters);
    if (nc_axx_net_calibrate(net, &all, NC_AXX_CALIBRATE_PERCENTILE, 99.99) != NC_OK ||
        nc_axx_net_evaluate(net, &test, &score) != NC_OK)
        return fail("evaluation", "failed");
    nc_axx_net_set_mode(net, NC_AXX_MODE_INTEGER);
    if (nc_axx_net_evaluate(net, &test, &exact) != NC_OK) return fail("evaluation", "failed");
    if (nc_axx_net_save(net, &data, &n, &err) != NC_OK) return fail("saving", err.message);
    if (write_file(prefix, ".safetensors", data, n) ||
        write_rows(prefix, ".train.csv", 0, train_rows) ||
        write_rows(prefix, ".validation.csv", train_rows, validation_rows) ||
        write_rows(prefix, ".test.csv", train_rows + validation_rows, test_rows))
        return 1;
    nc_axx_free_text(data);
    if (json)
        printf("{\"parameters\": %lu, \"test\": %zu, \"float32\": %.4f, \"exact\": %.4f}\n",
               (unsigned long)parameters, test_rows, score.top1, exact.top1);
    else
        printf(
            "%lu parameters; %zu images to test: float32 %.2f %%, exact bytes %.2f %%\n"
            "wrote %s.safetensors, .train.csv, .validation.csv, .test.csv; next:\n"
            "axx_eval %s.safetensors %s.test.csv --train %s.train.csv --largest 16 --retrain 1\n",
            (unsigned long)parameters, test_rows, 100 * score.top1, 100 * exact.top1, prefix,
            prefix, prefix, prefix);
    return 0;
}

int main(int argc, char **argv) {
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
    const char *data = "examples/data/digits.csv", *prefix = "build/digits", *load = NULL;
    uint32_t epochs = 12;
    nc_axx_net *net;
    int k, failed;
    argc = cli_begin(argc, argv, "axx_vit_digits", usage);
    for (k = 1; k < argc; k++) {
        const char *value = k + 1 < argc ? argv[k + 1] : NULL;
        if (!strcmp(argv[k], "--json")) {
            json = 1;
            continue;
        }
        if (value && !strcmp(argv[k], "--data"))
            data = value;
        else if (value && !strcmp(argv[k], "--out"))
            prefix = value;
        else if (value && !strcmp(argv[k], "--load"))
            load = value;
        else if (value && !strcmp(argv[k], "--epochs"))
            epochs = (uint32_t)cli_number("--epochs", value, 1, 1000000);
        else
            return fprintf(stderr, "axx_vit_digits: bad argument '%s'\n%s", argv[k], usage), 2;
        k++;
    }
    for (k = 0; k < FILES; k++) {
        char path[1024];
        snprintf(path, sizeof path, "%.900s%s", prefix, endings[k]);
        if (!cli_can_write(path)) return CLI_ERROR;
    }
    terminal = isatty(2) && !cli_quiet;
    if (read_digits(data)) return 1;
    if (nc_axx_net_create(&net, &config) != NC_OK) return fail("network", "out of memory");
    failed = (load ? load_model(net, load) : train(net, epochs)) || report(net, prefix);
    nc_axx_net_destroy(net);
    return failed;
}
