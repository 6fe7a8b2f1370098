/* Prints one digest of what nc_axx.h computes: tables of all families, sums, layers and gradients, a
   calibration, files, searches, and networks trained for some steps in float32 and on approximate
   multipliers. Usage: digest_axx [SIMD level]. tests/digests.sh runs it over compilers and
   processors. */
#define NC_AXX_VIT
#define NC_IMPLEMENTATION
#include "../nc_axx.h"
#include "axx_toys.h"

static uint64_t digest = NC__FNV_START;

static void add_words(const void *data, size_t count) {
    size_t i;
    for (i = 0; i < count; i++) {
        uint8_t bytes[4];
        uint32_t word;
        memcpy(&word, (const char *)data + 4 * i, 4);
        nc__put_le(bytes, word, 4);
        digest = nc__fnv1a(digest, bytes, 4);
    }
}

static void must(nc_status status) {
    if (status != NC_OK) exit(1);
}

static uint32_t state = 1;
static uint32_t draw(void) { return (state = state * 1664525u + 1013904223u) >> 8; }

static nc_axx_mult m;

static void layers(const char *spec) {
    static const nc_axx_conv shape = {1, 4, 6, 5, 8, 3, 2, 2, 1, 1, 0, 1, 2, 2, 0, 0};
    enum { R = 7, K = 300, O = 70 };
    static uint8_t x[R * K], w[O * K];
    static float y[R * O], dx[R * K], dw[O * K], scale[O];
    nc_axx_engine *e;
    size_t bytes, i;
    void *work;
    must(nc_axx_make(&m, spec, NULL));
    add_words(m.table, 65536);
    must(nc_axx_engine_create(&e, &m));
    for (i = 0; i < R * K; i++) x[i] = (uint8_t)draw();
    for (i = 0; i < O * K; i++) w[i] = (uint8_t)draw();
    for (i = 0; i < O; i++) scale[i] = 1.0f + (float)i / 3.0f;
    bytes = nc_axx_linear_work_bytes(e, R, K, O);
    if (bytes < nc_axx_conv_work_bytes(e, &shape)) bytes = nc_axx_conv_work_bytes(e, &shape);
    work = malloc(bytes);
    if (!work) exit(1);
    must(nc_axx_linear(e, x, 0.7f, w, scale, scale, y, R, K, O, work, bytes));
    add_words(y, R * O);
    memset(dw, 0, sizeof dw);
    must(nc_axx_linear_backward(e, x, 0.7f, w, scale, y, dx, dw, NULL, R, K, O, work, bytes));
    add_words(dx, R * K);
    add_words(dw, O * K);
    must(nc_axx_conv2d(e, &shape, x, 0.7f, w, scale, scale, y, work, bytes));
    add_words(y, 8 * 3 * 3);
    free(work);
    nc_axx_engine_destroy(e);
}

static void networks(void) {
    static const nc_axx_net_config configs[] = {{.kind = NC_AXX_NET_VIT,
                                                 .image = 6,
                                                 .channels = 1,
                                                 .classes = 4,
                                                 .dim = 20,
                                                 .depth = 2,
                                                 .patch = 2,
                                                 .heads = 2,
                                                 .batch = 8},
                                                {.kind = NC_AXX_NET_CNN,
                                                 .image = 6,
                                                 .channels = 1,
                                                 .classes = 4,
                                                 .dim = 20,
                                                 .depth = 2,
                                                 .batch = 8}};
    enum { COUNT = 24 };
    static float pixels[COUNT * 36];
    static uint32_t labels[COUNT];
    size_t k, i, n, bytes;
    for (i = 0; i < COUNT * 36; i++) pixels[i] = (float)(draw() % 2001) / 1000.0f - 1.0f;
    for (i = 0; i < COUNT; i++) labels[i] = draw() % 4;
    for (k = 0; k < 2; k++) {
        nc_axx_images images;
        nc_axx_training how;
        nc_axx_engine *e;
        nc_axx_net *net;
        nc_axx_layer_options plain;
        char *data;
        uint32_t l;
        memset(&plain, 0, sizeof plain);
        memset(&how, 0, sizeof how);
        how.epochs = 3;
        images.pixels = pixels;
        images.labels = labels;
        images.count = COUNT;
        must(nc_axx_net_create(&net, &configs[k]));
        nc_axx_net_init(net, 7);
        must(nc_axx_net_train(net, &images, &how));
        must(nc_axx_net_calibrate(net, &images, NC_AXX_CALIBRATE_MSE, 0));
        must(nc_axx_make(&m, "truncated:6", NULL));
        must(nc_axx_engine_create(&e, &m));
        for (l = 0; l < nc_axx_net_layers(net); l++) must(nc_axx_net_assign(net, l, e));
        nc_axx_net_set_mode(net, NC_AXX_MODE_INTEGER);
        how.sgd = 1;
        how.lr = 0.01f;
        how.progressive = 1;
        must(nc_axx_net_train(net, &images, &how));
        add_words(nc_axx_net_parameters(net, &n), 1);
        add_words(nc_axx_net_parameters(net, NULL), n);
        must(nc_axx_net_set(net, "*", &plain, NULL, NULL)); /* nothing of layers in the file */
        must(nc_axx_net_save(net, &data, &bytes, NULL));
        digest = nc__fnv1a(digest, data, bytes);
        nc_axx_free_text(data);
        nc_axx_engine_destroy(e);
        nc_axx_net_destroy(net);
    }
}

/* What three searches evaluate: the order in which a compiler takes operands must not matter. */
static void searches(void) {
    static toy t;
    int way;
    for (way = 0; way < 3; way++) {
        nc_axx_search_config config = toy_make(&t, &toy_kinds[3], 5);
        nc_axx_search *s;
        char *text;
        size_t bytes;
        must(nc_axx_search_create(&s, &config));
        must(way == 0   ? nc_axx_search_mcts(s, 300)
             : way == 1 ? nc_axx_search_genetic(s, 300)
                        : nc_axx_search_greedy(s));
        must(nc_axx_search_csv(s, 0, &text, &bytes));
        digest = nc__fnv1a(digest, text, bytes);
        nc_axx_free_text(text);
        nc_axx_search_destroy(s);
    }
}

int main(int argc, char **argv) {
    static const char *const specs[] = {"exact",
                                        "truncated:4+compensated",
                                        "broken_array:2:6",
                                        "kulkarni:7",
                                        "drum:4",
                                        "mitchell+unsigned",
                                        "roba",
                                        "error_tolerant:4",
                                        "mul8s_1KVL"};
    size_t i;
    if (argc > 1 && (nc_axx_set_simd(atoi(argv[1])) != atoi(argv[1]) ||
                     nc_hlx_set_simd(atoi(argv[1])) != NC_OK))
        return puts("unavailable") < 0;
    for (i = 0; i < sizeof specs / sizeof *specs; i++) layers(specs[i]);
    networks();
    searches();
    printf("%016llx\n", (unsigned long long)digest);
    return 0;
}
