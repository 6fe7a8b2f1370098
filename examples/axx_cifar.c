/* axx_cifar: a convolutional network on images of the shape of CIFAR-10, in float32, with exact
   bytes and on approximate multipliers, each before and after retraining in its own way.
   cc -O2 -fopenmp axx_cifar.c -lm -o axx_cifar */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#define NC_AXX_VIT
#define NC_IMPLEMENTATION
#include "../nc_axx.h"
#include "cli.h"

static const char usage[] =
    "usage: axx_cifar [--net N] [--depth N] [--onnx FILE] [--data PATH] [OPTION...] "
    "[MULTIPLIER...]\n"
    "Trains a network on images of 3 x 32 x 32 of ten classes, folds its batch norms, calibrates\n"
    "it, and prints its accuracy on other images in float32, with exact bytes and with each\n"
    "multiplier (a name, a family or a file; default mul8s_1L2H and mul8s_1L2D), before and after\n"
    "retraining.\n"
    "  --net resnet|mobilenet  ResNet of --depth 6n + 2 (20), or MobileNetV2 of a quarter of the\n"
    "                     width; --onnx FILE: as it is there, weights too (FILE.data beside it)\n"
    "  --data PATH        the folder of CIFAR-10's binary version; or a file of CIFAR, IDX or CSV\n"
    "                     whose last sixth is tested, made 3 x 32 x 32, --largest N (255) the\n"
    "                     byte that is 1; default: made images, gratings in noise\n"
    "  --images N         to train with (300 made ones, else all); --test N: to test (200, all)\n"
    "  --epochs N --lr X  of the training (5, 0.05); SGD with momentum, half a cosine\n"
    "  --retrain N --retrain-lr X  of every retraining, the float32 one too (1, 0.02); 0: none\n"
    "  --batch N (10)     images at a time\n"
    "  --shift N --flip   images are moved by up to N pixels and mirrored (0, no)\n"
    "  --noise X          of made images: even from -X to X, the gratings are of 1 (4.5)\n"
    "  --seed N           of weights, order and made images (1)\n"
    "  --json             results as JSON\n"
    "Returns 0, 1 on an error, 2 on bad usage.\n";

enum { SIDE = 32, PIXELS = 3 * SIDE * SIDE, CLASSES = 10, MOST = 32 };

static nc_axx_graph *g;
static uint32_t json, rows, depth = 20, images, test_images, epochs = 5, again = 1, shift, flip,
                            seed = 1, batch = 10, largest = 255;
static float lr = 0.05f, again_lr = 0.02f, noise_size = 4.5f;
static const char *net = "resnet", *onnx, *data_path, *names[MOST] = {"mul8s_1L2H", "mul8s_1L2D"};
static int name_count;

static int fail(const char *what, const char *why) {
    return cli_fail(CLI_ERROR, "%s: %s", what, why);
}

/* -- networks -- */

static nc_error err;
static int failed;

static uint32_t add(nc_axx_node n, const uint32_t *inputs, uint32_t count) {
    uint32_t number = 0;
    n.inputs = inputs;
    n.input_count = count;
    if (!failed) failed = nc_axx_graph_add(g, &n, &number, &err) != NC_OK;
    return number;
}

static uint32_t simple(nc_axx_node_kind kind, uint32_t input) {
    nc_axx_node n;
    memset(&n, 0, sizeof n);
    n.kind = kind;
    return add(n, &input, 1);
}

/* A convolution, its norm and, unless there is none, an activation. */
static uint32_t layer(uint32_t input, uint32_t out, uint32_t kernel, uint32_t stride,
                      uint32_t groups, nc_axx_node_kind activation) {
    nc_axx_node n;
    uint32_t at, i;
    memset(&n, 0, sizeof n);
    n.kind = NC_AXX_NODE_CONV2D;
    n.out = out;
    n.groups = groups;
    n.no_bias = 1;
    for (i = 0; i < 4; i++) n.padding[i] = kernel / 2;
    n.kernel[0] = n.kernel[1] = kernel;
    n.stride[0] = n.stride[1] = stride;
    at = simple(NC_AXX_NODE_BATCH_NORM, add(n, &input, 1));
    return activation == NC_AXX_NODE_INPUT ? at : simple(activation, at);
}

static uint32_t sum(uint32_t a, uint32_t b) {
    const uint32_t inputs[2] = {a, b};
    nc_axx_node n;
    memset(&n, 0, sizeof n);
    n.kind = NC_AXX_NODE_ADD;
    return add(n, inputs, 2);
}

static uint32_t image_input(void) {
    nc_axx_node n;
    memset(&n, 0, sizeof n);
    n.kind = NC_AXX_NODE_INPUT;
    n.rank = 3;
    n.shape[0] = 3;
    n.shape[1] = n.shape[2] = SIDE;
    return add(n, NULL, 0);
}

static void classifier(uint32_t at) {
    nc_axx_node n;
    memset(&n, 0, sizeof n);
    n.kind = NC_AXX_NODE_LINEAR;
    n.name = "classifier";
    n.out = CLASSES;
    at = simple(NC_AXX_NODE_FLATTEN, simple(NC_AXX_NODE_GLOBAL_MEAN_POOL, at));
    (void)add(n, &at, 1);
}

/* He et al. 2016, section 4.2: three stages of (depth - 2) / 6 blocks, shortcuts by projection. */
static void resnet(void) {
    uint32_t at = layer(image_input(), 16, 3, 1, 1, NC_AXX_NODE_RELU), stage, block;
    for (stage = 0; stage < 3; stage++)
        for (block = 0; block < (depth - 2) / 6; block++) {
            const uint32_t width = 16u << stage, stride = stage && !block ? 2 : 1;
            const uint32_t first = layer(at, width, 3, stride, 1, NC_AXX_NODE_RELU);
            const uint32_t second = layer(first, width, 3, 1, 1, NC_AXX_NODE_INPUT);
            if (stride == 2) at = layer(at, width, 1, 2, 1, NC_AXX_NODE_INPUT);
            at = simple(NC_AXX_NODE_RELU, sum(second, at));
        }
    classifier(at);
}

/* Sandler et al. 2018, table 2, with a quarter of the width and strides for small images. */
static void mobilenet(void) {
    static const uint32_t stages[7][4] = {/* expansion, channels, blocks, stride */
                                          {1, 8, 1, 1},  {6, 8, 2, 1},  {6, 8, 3, 2}, {6, 16, 4, 2},
                                          {6, 24, 3, 1}, {6, 40, 3, 2}, {6, 80, 1, 1}};
    uint32_t at = layer(image_input(), 8, 3, 1, 1, NC_AXX_NODE_RELU6), last = 8, stage, block;
    for (stage = 0; stage < 7; stage++)
        for (block = 0; block < stages[stage][2]; block++) {
            const uint32_t inner = last * stages[stage][0], out = stages[stage][1];
            const uint32_t stride = block ? 1 : stages[stage][3], from = at;
            if (inner > last) at = layer(at, inner, 1, 1, 1, NC_AXX_NODE_RELU6);
            at = layer(at, inner, 3, stride, inner, NC_AXX_NODE_RELU6);
            at = layer(at, out, 1, 1, 1, NC_AXX_NODE_INPUT);
            if (stride == 1 && out == last) at = sum(at, from);
            last = out;
        }
    classifier(layer(at, 320, 1, 1, 1, NC_AXX_NODE_RELU6));
}

static int exists(const char *path) {
    FILE *file = fopen(path, "rb");
    if (file) fclose(file);
    return file != NULL;
}

static int read_onnx(const char *path) {
    char beside[1024];
    nc_axx_onnx file;
    nc_axx_node_info in, out;
    char *data = NULL, *external = NULL;
    nc_status status;
    memset(&file, 0, sizeof file);
    (void)snprintf(beside, sizeof beside, "%.1000s.data", path);
    status = nc_file_read(path, &data, &file.bytes, &err);
    if (status == NC_OK && exists(beside))
        status = nc_file_read(beside, &external, &file.external_bytes, &err);
    file.data = data;
    file.external = external;
    file.batch = batch;
    file.training = 1;
    if (status == NC_OK) status = nc_axx_graph_from_onnx(&g, &file, &err);
    nc_file_free(data);
    nc_file_free(external);
    if (status != NC_OK) return fail(path, err.message);
    (void)nc_axx_graph_node(g, 0, &in);
    (void)nc_axx_graph_node(g, nc_axx_graph_nodes(g) - 1, &out);
    if (in.rank != 3 || in.shape[0] != 3 || in.shape[1] != SIDE || in.shape[2] != SIDE ||
        out.rank != 1 || out.shape[0] != CLASSES)
        return fail(path, "is not from 3 x 32 x 32 to 10 classes");
    return 0;
}

/* -- data -- */

static uint32_t drawn(uint64_t *state) {
    *state = *state * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
    return (uint32_t)(*state >> 40);
}

/* Gratings: the class is one of five directions and one of two distances of the bars. */
static void make_images(float *pixels, uint32_t *labels, size_t n) {
    uint64_t state = 6 + seed;
    size_t i, k;
    for (i = 0; i < n; i++) {
        const double phase = drawn(&state) % 628 / 100.0;
        const uint32_t label = drawn(&state) % CLASSES;
        const double angle = label % 5 * 0.628318, bars = label / 5 ? 0.9 : 0.45;
        labels[i] = label;
        for (k = 0; k < PIXELS; k++) {
            const double x = (double)(k % SIDE), y = (double)(k / SIDE % SIDE);
            const double wave = sin(bars * (x * cos(angle) + y * sin(angle)) + phase);
            const double noise =
                ((double)(drawn(&state) % 2001) / 1000.0 - 1.0) * (double)noise_size;
            pixels[i * PIXELS + k] = (float)(wave * (k / 1024 == 1 ? 0.5 : 1.0) + noise);
        }
    }
}

/* The floats of n images of bytes; those behind the first `from`. */
static int view(const nc_axx_data *d, size_t from, size_t n, nc_axx_images *to) {
    static const float mean[] = {0.4914f, 0.4822f, 0.4465f}, deviation[] = {0.247f, 0.243f, 0.262f};
    float *pixels = (float *)malloc((n + !n) * PIXELS * sizeof *pixels);
    uint32_t *labels = (uint32_t *)malloc((n + !n) * sizeof *labels);
    nc_axx_view v;
    memset(&v, 0, sizeof v);
    v.channels = 3;
    v.height = v.width = SIDE;
    v.largest = (float)largest;
    memcpy(v.mean, mean, sizeof mean);
    memcpy(v.deviation, deviation, sizeof deviation);
    to->pixels = pixels;
    to->labels = labels;
    to->count = n;
    if (!pixels || !labels) return fail(data_path, "out of memory: --images takes fewer");
    memcpy(labels, d->labels + from, n * sizeof *labels);
    if (nc_axx_view_data(&v, d, from, n, pixels) != NC_OK)
        return fail(data_path, "its images cannot become 3 x 32 x 32");
    return 0;
}

/* Appends a file; pixels of a CSV are of three colours, or grey. */
static int load(nc_axx_data *d, const char *path, size_t most) {
    nc_axx_data_options how;
    nc_error grey;
    char where[1100];
    memset(&how, 0, sizeof how);
    how.most = most;
    how.channels = 3;
    if (nc_axx_data_load(d, path, &how, &err) == NC_OK) return 0;
    if (err.status == NC_ERR_MISMATCH) {
        how.channels = 1;
        if (nc_axx_data_load(d, path, &how, &grey) == NC_OK) return 0;
        if (grey.status != NC_ERR_MISMATCH) err = grey;
    }
    (void)snprintf(where, sizeof where, err.line ? "%.1000s:%u:%u" : "%.1000s", path,
                   (unsigned)err.line, (unsigned)err.column);
    return fail(where, err.message);
}

static size_t least_of(size_t a, size_t b) { return a < b ? a : b; }

/* CIFAR-10's batches to train, as many as are wanted, and the one to test. */
static int read_cifar(nc_axx_data *train, nc_axx_data *test) {
    char path[1100];
    int i, bad = 0;
    for (i = 1; i <= 5 && !bad; i++) {
        (void)snprintf(path, sizeof path, "%.1000s/data_batch_%d.bin", data_path, i);
        if (!images || train->count < images) bad = load(train, path, images);
    }
    (void)snprintf(path, sizeof path, "%.1000s/test_batch.bin", data_path);
    return bad || load(test, path, test_images);
}

/* That folder, or one file, of which the last images are tested. */
static int read_images(nc_axx_images *train, nc_axx_images *test) {
    nc_axx_data d, other;
    char path[1100];
    size_t tested, left;
    int is_folder, bad;
    memset(&d, 0, sizeof d);
    memset(&other, 0, sizeof other);
    (void)snprintf(path, sizeof path, "%.1000s/test_batch.bin", data_path);
    is_folder = exists(path);
    bad = is_folder ? read_cifar(&d, &other) : load(&d, data_path, 0);
    tested = least_of(test_images ? test_images : d.count / 6 + 1, d.count);
    left = d.count - (is_folder ? 0 : tested);
    if (!bad && (!left || d.classes > CLASSES))
        bad = fail(data_path, left ? "more than ten classes" : "too few images");
    bad = bad || view(&d, 0, images ? least_of(images, left) : left, train);
    bad = bad || (is_folder ? view(&other, 0, other.count, test) : view(&d, left, tested, test));
    nc_axx_data_free(&d);
    nc_axx_data_free(&other);
    return bad;
}

static int made_images(nc_axx_images *train, nc_axx_images *test) {
    const size_t n = images ? images : 300, all = n + (test_images ? test_images : 200);
    float *pixels = (float *)malloc(all * PIXELS * sizeof *pixels);
    uint32_t *labels = (uint32_t *)malloc(all * sizeof *labels);
    train->pixels = pixels;
    train->labels = labels;
    train->count = n;
    if (!pixels || !labels) return fail("images", "out of memory");
    make_images(pixels, labels, all);
    test->pixels = pixels + n * PIXELS;
    test->labels = labels + n;
    test->count = all - n;
    return 0;
}

/* -- the table -- */

static int watch(void *user, uint32_t step, uint32_t steps, float loss, float accuracy) {
    (void)user;
    fprintf(stderr, "\rstep %u of %u, loss %.3f, %.0f %% right  %s", step, steps, (double)loss,
            (double)accuracy * 100, step == steps ? "\n" : "");
    return 0;
}

static int row(const char *name, double power, int retrained, const nc_axx_images *test) {
    nc_axx_score s;
    char text[16] = "null", title[80];
    memset(&s, 0, sizeof s);
    if (nc_axx_graph_evaluate(g, test, &s) != NC_OK) return fail(name, "cannot be evaluated");
    (void)snprintf(title, sizeof title, "%.40s%s", name, retrained ? ", retrained" : "");
    if (power > 0) (void)snprintf(text, sizeof text, "%.4f", power);
    if (json)
        printf("%s{\"row\": \"%s\", \"power\": %s, \"top1\": %.4f, \"top5\": %.4f, \"loss\": %.6f}",
               rows ? ",\n  " : "{\"rows\": [\n  ", title, text, s.top1, s.top5, s.loss);
    else {
        if (!rows) printf("%-34s %7s %7s %7s %8s\n", "", "power", "top-1 %", "top-5 %", "loss");
        printf("%-34s %7s %7.2f %7.2f %8.4f\n", title, power > 0 ? text : "-", 100 * s.top1,
               100 * s.top5, s.loss);
    }
    fflush(stdout);
    rows++;
    return 0;
}

/* The network as it is now, and after retraining it so; then its weights are as before. */
static int both(const char *name, double power, const nc_axx_images *train,
                const nc_axx_images *test) {
    nc_axx_training how;
    char *kept;
    size_t bytes;
    int bad = row(name, power, 0, test);
    if (bad || !again) return bad;
    memset(&how, 0, sizeof how);
    how.epochs = again;
    how.sgd = 1;
    how.lr = again_lr;
    how.cosine = 1;
    how.clip_norm = 1.0f;
    how.shift = shift;
    how.flip = flip;
    how.seed = seed + 1;
    how.watch = watch;
    if (nc_axx_graph_save(g, &kept, &bytes, &err) != NC_OK) return fail(name, err.message);
    bad = nc_axx_graph_train(g, train, &how) != NC_OK ? fail(name, "cannot be retrained")
                                                      : row(name, power, 1, test);
    if (!bad && nc_axx_graph_load(g, kept, bytes, &err) != NC_OK) bad = fail(name, err.message);
    nc_axx_free_text(kept);
    return bad;
}

static int on_multiplier(const char *name, const nc_axx_images *train, const nc_axx_images *test) {
    static nc_axx_mult m;
    nc_axx_layer_options how;
    nc_axx_engine *e = NULL;
    const int is_file = nc_axx_form_of(name) != NC_AXX_FORM_AUTO;
    nc_status status =
        is_file ? nc_axx_load(&m, name, NC_AXX_FORM_AUTO, &err) : nc_axx_make(&m, name, &err);
    int bad;
    if (status != NC_OK) return fail(name, err.message);
    if (nc_axx_engine_create(&e, &m) != NC_OK) return fail(name, "out of memory");
    memset(&how, 0, sizeof how);
    how.mode = NC_AXX_MODE_INTEGER;
    how.engine = e;
    bad = nc_axx_graph_set(g, "*", &how, NULL, &err) != NC_OK
              ? fail(name, err.message)
              : both(m.name, (double)m.relative_power, train, test);
    (void)nc_axx_graph_assign(g, UINT32_MAX, NULL);
    nc_axx_engine_destroy(e);
    return bad;
}

/* Trains the network unless it came with weights, and folds its norms. */
static int train_network(const nc_axx_images *train) {
    nc_axx_training how;
    memset(&how, 0, sizeof how);
    how.epochs = epochs;
    how.sgd = 1;
    how.lr = lr;
    how.cosine = 1;
    how.clip_norm = 2.0f;
    how.weight_decay = 1e-4f;
    how.shift = shift;
    how.flip = flip;
    how.seed = seed;
    how.watch = watch;
    if ((!onnx && nc_axx_graph_init(g, seed) != NC_OK) ||
        nc_axx_graph_set_statistics(g, 1) != NC_OK || nc_axx_graph_train(g, train, &how) != NC_OK ||
        nc_axx_graph_set_statistics(g, 0) != NC_OK || nc_axx_graph_fold(g, NULL) != NC_OK)
        return fail("training", "failed");
    return 0;
}

static int run(void) {
    nc_axx_images train, test;
    size_t calibration;
    int i;
    memset(&train, 0, sizeof train);
    memset(&test, 0, sizeof test);
    if (data_path ? read_images(&train, &test) : made_images(&train, &test)) return 1;
    if (train_network(&train) || both("float32", 1.0, &train, &test)) return 1;
    calibration = train.count < 100 ? train.count : 100;
    if (nc_axx_graph_calibrate(g, train.pixels, calibration, NC_AXX_CALIBRATE_MAX, 0) != NC_OK ||
        nc_axx_graph_set_mode(g, UINT32_MAX, NC_AXX_MODE_INTEGER) != NC_OK)
        return fail("calibration", "failed");
    if (both("int8 exact", 1.0, &train, &test)) return 1;
    for (i = 0; i < name_count; i++)
        if (on_multiplier(names[i], &train, &test)) return 1;
    if (json) printf("\n]}\n");
    free((void *)(uintptr_t)train.pixels);
    free((void *)(uintptr_t)train.labels);
    if (data_path) {
        free((void *)(uintptr_t)test.pixels);
        free((void *)(uintptr_t)test.labels);
    }
    return 0;
}

/* -- the program -- */

static const struct {
    const char *name;
    uint32_t *number; /* or else */
    float *real;
    const char **text;
    uint32_t low, high; /* of a number; both 0: a flag */
} options[] = {{"--net", NULL, NULL, &net, 0, 0},
               {"--depth", &depth, NULL, NULL, 8, 1202},
               {"--onnx", NULL, NULL, &onnx, 0, 0},
               {"--data", NULL, NULL, &data_path, 0, 0},
               {"--images", &images, NULL, NULL, 1, 1000000},
               {"--test", &test_images, NULL, NULL, 1, 1000000},
               {"--epochs", &epochs, NULL, NULL, 1, 10000},
               {"--lr", NULL, &lr, NULL, 0, 0},
               {"--retrain", &again, NULL, NULL, 0, 10000},
               {"--retrain-lr", NULL, &again_lr, NULL, 0, 0},
               {"--noise", NULL, &noise_size, NULL, 0, 0},
               {"--shift", &shift, NULL, NULL, 0, SIDE - 1},
               {"--batch", &batch, NULL, NULL, 1, 10000},
               {"--largest", &largest, NULL, NULL, 1, 255},
               {"--seed", &seed, NULL, NULL, 0, 1000000000},
               {"--flip", &flip, NULL, NULL, 0, 0},
               {"--json", &json, NULL, NULL, 0, 0}};
enum { OPTIONS = sizeof options / sizeof *options };

/* Sets an option; how many arguments that takes, 0: it is no option or that is no value of it. */
static int set_option(const char *name, const char *value) {
    char *end;
    long number;
    int i = 0;
    while (i < OPTIONS && strcmp(options[i].name, name) != 0) i++;
    if (i == OPTIONS) return 0;
    if (options[i].number && !options[i].high) return (int)(*options[i].number = 1);
    if (!value || !*value) return 0;
    if (options[i].text) {
        *options[i].text = value;
        return 2;
    }
    if (options[i].real) {
        *options[i].real = strtof(value, &end);
        return !*end && *options[i].real > 0 && isfinite(*options[i].real) ? 2 : 0;
    }
    number = strtol(value, &end, 10);
    if (*end || number < (long)options[i].low || number > (long)options[i].high) return 0;
    *options[i].number = (uint32_t)number;
    return 2;
}

static int read_arguments(int argc, char **argv) {
    int i, used;
    for (i = 1; i < argc; i += used) {
        used = 1;
        if (argv[i][0] != '-' && name_count < MOST)
            names[name_count++] = argv[i];
        else
            used = set_option(argv[i], i + 1 < argc ? argv[i + 1] : NULL);
        if (!used) {
            fprintf(stderr, "axx_cifar: bad argument '%s'\n%s", argv[i], usage);
            return 2;
        }
    }
    if (!name_count) name_count = 2;
    if (depth % 6 == 2 && (!strcmp(net, "resnet") || !strcmp(net, "mobilenet"))) return 0;
    fprintf(stderr, "axx_cifar: --net resnet or mobilenet; --depth 8, 14, 20 ..\n%s", usage);
    return 2;
}

int main(int argc, char **argv) {
    int bad;
    argc = cli_begin(argc, argv, "axx_cifar", usage);
    bad = read_arguments(argc, argv);
    if (bad) return bad;
    if (onnx) {
        if (read_onnx(onnx)) return 1;
    } else {
        if (nc_axx_graph_create(&g) != NC_OK) return fail("graph", "out of memory");
        if (!strcmp(net, "resnet"))
            resnet();
        else
            mobilenet();
        if (failed || nc_axx_graph_finish(g, batch, 1, &err) != NC_OK)
            return fail("graph", err.message);
    }
    bad = run();
    nc_axx_graph_destroy(g);
    return bad;
}
