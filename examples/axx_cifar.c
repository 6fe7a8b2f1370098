/* axx_cifar: a convolutional network on images of the shape of CIFAR-10, in float32, with exact
   bytes and on an approximate multiplier, before and after retraining.
   cc -O2 -fopenmp axx_cifar.c -lm -o axx_cifar */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#define NC_AXX_VIT
#define NC_IMPLEMENTATION
#include "../nc_axx.h"

static const char usage[] =
    "usage: axx_cifar [--net resnet|mobilenet] [--depth N] [--onnx FILE] [--images N]\n"
    "                 [--epochs N] [--json] [MULTIPLIER...]\n"
    "Trains a network on N made images of 3 x 32 x 32 (default 300; gratings of ten classes in\n"
    "noise), folds its batch norms, calibrates it, and prints its accuracy on others in float32,\n"
    "with exact bytes and on each multiplier (default mul8s_1L2H), before and after an epoch of\n"
    "retraining. --net: ResNet of depth 6n + 2 (default 20) or MobileNetV2 of a quarter of the\n"
    "width; --onnx takes a network with ten outputs as it is trained (FILE.data: its weights).\n"
    "Returns 0, 1 on an error, 2 on bad usage.\n";

enum { SIDE = 32, PIXELS = 3 * SIDE * SIDE, CLASSES = 10, TEST = 100, BATCH = 20 };

static nc_axx_graph *g;
static int json, rows;

static int fail(const char *what, const char *why) {
    fprintf(stderr, "axx_cifar: %s: %s\n", what, why);
    return 1;
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
static void resnet(uint32_t depth) {
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

/* A whole file, null where there is none. */
static void *whole(const char *path, size_t *bytes) {
    FILE *file = fopen(path, "rb");
    void *data = NULL;
    long end = -1;
    if (file && !fseek(file, 0, SEEK_END)) end = ftell(file);
    if (end > 0) data = malloc((size_t)end);
    if (data) {
        rewind(file);
        *bytes = fread(data, 1, (size_t)end, file);
    }
    if (file) fclose(file);
    return data;
}

static int read_onnx(const char *path) {
    char beside[1024];
    nc_axx_onnx file;
    nc_axx_node_info in, out;
    void *data, *external;
    nc_status status;
    memset(&file, 0, sizeof file);
    (void)snprintf(beside, sizeof beside, "%s.data", path);
    file.data = data = whole(path, &file.bytes);
    file.external = external = whole(beside, &file.external_bytes);
    file.batch = BATCH;
    file.training = 1;
    if (!data) return fail(path, "cannot be read");
    status = nc_axx_graph_from_onnx(&g, &file, &err);
    free(data);
    free(external);
    if (status != NC_OK) return fail(path, err.message);
    (void)nc_axx_graph_node(g, 0, &in);
    (void)nc_axx_graph_node(g, nc_axx_graph_nodes(g) - 1, &out);
    if (in.rank != 3 || in.shape[0] != 3 || in.shape[1] != SIDE || in.shape[2] != SIDE ||
        out.rank != 1 || out.shape[0] != CLASSES)
        return fail(path, "is not from 3 x 32 x 32 to 10 classes");
    return 0;
}

/* -- data -- */

static uint32_t drawn(uint64_t *seed) {
    *seed = *seed * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
    return (uint32_t)(*seed >> 40);
}

/* Gratings: the class is one of five directions and one of two distances of the bars. */
static void make_images(float *pixels, uint32_t *labels, size_t count) {
    uint64_t seed = 7;
    size_t i, k;
    for (i = 0; i < count; i++) {
        const double phase = drawn(&seed) % 628 / 100.0;
        const uint32_t label = drawn(&seed) % CLASSES;
        const double angle = label % 5 * 0.628318, bars = label / 5 ? 0.9 : 0.45;
        labels[i] = label;
        for (k = 0; k < PIXELS; k++) {
            const double x = (double)(k % SIDE), y = (double)(k / SIDE % SIDE);
            const double wave = sin(bars * (x * cos(angle) + y * sin(angle)) + phase);
            const double noise = (double)(drawn(&seed) % 2001) / 400.0 - 2.5;
            pixels[i * PIXELS + k] = (float)(wave * (k / 1024 == 1 ? 0.5 : 1.0) + noise);
        }
    }
}

/* -- the table -- */

static int watch(void *user, uint32_t step, uint32_t steps, float loss, float accuracy) {
    (void)user;
    fprintf(stderr, "\rstep %u of %u, loss %.3f, %.0f %% right  %s", step, steps, (double)loss,
            (double)accuracy * 100, step == steps ? "\n" : "");
    return 0;
}

static int row(const char *name, double power, const nc_axx_images *test) {
    nc_axx_score score;
    char text[16] = "-"; /* nobody has published it */
    memset(&score, 0, sizeof score);
    if (nc_axx_graph_evaluate(g, test, &score) != NC_OK) return fail(name, "not evaluated");
    if (json)
        printf("%s{\"network\": \"%s\", \"power\": %.4f, \"top1\": %.4f, \"top5\": %.4f}",
               rows ? ",\n  " : "{\"rows\": [\n  ", name, power, score.top1, score.top5);
    else {
        if (!rows) printf("%-34s %7s %7s %7s\n", "network", "power", "top-1", "top-5");
        if (power > 0) (void)snprintf(text, sizeof text, "%.4f", power);
        printf("%-34s %7s %7.2f %7.2f\n", name, text, 100 * score.top1, 100 * score.top5);
    }
    rows++;
    return 0;
}

/* On one multiplier: as it is, and after an epoch with it; then the weights are as before. */
static int on_multiplier(const char *name, const nc_axx_images *train, const nc_axx_images *test) {
    nc_axx_training how;
    nc_axx_engine *e = NULL;
    static nc_axx_mult m;
    char title[80], *kept;
    size_t bytes;
    int bad = nc_axx_make(&m, name, &err) != NC_OK || nc_axx_engine_create(&e, &m) != NC_OK;
    if (bad) return fail(name, err.message);
    memset(&how, 0, sizeof how);
    how.sgd = 1;
    how.lr = 0.004f;
    how.clip_norm = 1.0f;
    how.watch = watch;
    bad = nc_axx_graph_assign(g, UINT32_MAX, e) != NC_OK ||
          nc_axx_graph_save(g, &kept, &bytes, &err) != NC_OK;
    if (bad) return fail(name, "not of signed operands");
    (void)snprintf(title, sizeof title, "%.30s", name);
    bad = row(title, (double)m.relative_power, test);
    (void)snprintf(title, sizeof title, "%.30s, retrained", name);
    bad = bad || nc_axx_graph_train(g, train, &how) != NC_OK ||
          row(title, (double)m.relative_power, test) ||
          nc_axx_graph_load(g, kept, bytes, &err) != NC_OK;
    nc_axx_free_text(kept);
    (void)nc_axx_graph_assign(g, UINT32_MAX, NULL);
    nc_axx_engine_destroy(e);
    return bad;
}

static int run(size_t images, uint32_t epochs, int made, const char *const *names, int count) {
    static const char *const usual[] = {"mul8s_1L2H"};
    float *pixels = malloc((images + TEST) * PIXELS * sizeof *pixels);
    uint32_t *labels = malloc((images + TEST) * sizeof *labels);
    nc_axx_images train, test;
    nc_axx_training how;
    int bad, i;
    if (!pixels || !labels) return fail("images", "out of memory");
    make_images(pixels, labels, images + TEST);
    train.pixels = pixels;
    train.labels = labels;
    train.count = images;
    test.pixels = pixels + images * PIXELS;
    test.labels = labels + images;
    test.count = TEST;
    memset(&how, 0, sizeof how);
    how.epochs = epochs;
    how.sgd = 1;
    how.lr = 0.05f;
    how.cosine = 1;
    how.clip_norm = 2.0f;
    how.watch = watch;
    bad = (made && nc_axx_graph_init(g, 1) != NC_OK) ||
          nc_axx_graph_set_statistics(g, 1) != NC_OK ||
          nc_axx_graph_train(g, &train, &how) != NC_OK ||
          nc_axx_graph_set_statistics(g, 0) != NC_OK || nc_axx_graph_fold(g, NULL) != NC_OK ||
          row("float32", 1.0, &test) ||
          nc_axx_graph_calibrate(g, pixels, images < 100 ? images : 100, NC_AXX_CALIBRATE_MAX, 0) !=
              NC_OK ||
          nc_axx_graph_set_mode(g, UINT32_MAX, NC_AXX_MODE_INTEGER) != NC_OK ||
          row("int8, exact", 1.0, &test);
    if (!count) names = usual;
    for (i = 0; i < (count ? count : 1) && !bad; i++) bad = on_multiplier(names[i], &train, &test);
    if (json && rows) printf("\n]}\n");
    free(pixels);
    free(labels);
    return bad;
}

int main(int argc, char **argv) {
    const char *net = "resnet", *onnx = NULL, *names[32];
    long depth = 20, images = 300, epochs = 4;
    int count = 0, bad = 0, i;
    for (i = 1; i < argc; i++) {
        const char *const value = i + 1 < argc ? argv[i + 1] : NULL;
        if (!strcmp(argv[i], "--help")) {
            fputs(usage, stdout);
            return 0;
        }
        if (!strcmp(argv[i], "--json")) {
            json = 1;
            continue;
        }
        if (argv[i][0] != '-' && count < 32) {
            names[count++] = argv[i];
            continue;
        }
        bad = !value;
        if (!bad && !strcmp(argv[i], "--net"))
            net = value;
        else if (!bad && !strcmp(argv[i], "--onnx"))
            onnx = value;
        else if (!bad && !strcmp(argv[i], "--depth"))
            depth = strtol(value, NULL, 10);
        else if (!bad && !strcmp(argv[i], "--images"))
            images = strtol(value, NULL, 10);
        else if (!bad && !strcmp(argv[i], "--epochs"))
            epochs = strtol(value, NULL, 10);
        else
            bad = 1;
        if (bad) break;
        i++;
    }
    if (bad || depth < 8 || depth > 1202 || depth % 6 != 2 || images < 1 || images > 100000 ||
        epochs < 1 || epochs > 1000 || (strcmp(net, "resnet") && strcmp(net, "mobilenet"))) {
        fputs(usage, stderr);
        return 2;
    }
    if (onnx) {
        if (read_onnx(onnx)) return 1;
    } else {
        if (nc_axx_graph_create(&g) != NC_OK) return fail("graph", "out of memory");
        if (!strcmp(net, "resnet"))
            resnet((uint32_t)depth);
        else
            mobilenet();
        if (failed || nc_axx_graph_finish(g, BATCH, 1, &err) != NC_OK)
            return fail("graph", err.message);
    }
    bad = run((size_t)images, (uint32_t)epochs, !onnx, names, count);
    nc_axx_graph_destroy(g);
    return bad;
}
