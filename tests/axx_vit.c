/* nc_axx.h, section networks (NC_AXX_VIT): gradients against differences, modes against each other,
   files, training, pruning. */
#include "test.h"
#include <math.h>
#define NC_AXX_VIT
#include "../nc_axx.h"

enum { COUNT = 6 };

static const nc_axx_net_config shapes[] = {
    {.kind = NC_AXX_NET_VIT,
     .image = 6,
     .channels = 2,
     .classes = 5,
     .dim = 8,
     .depth = 2,
     .patch = 3,
     .heads = 2,
     .mlp = 12,
     .batch = 4},
    {.kind = NC_AXX_NET_VIT,
     .image = 4,
     .channels = 1,
     .classes = 3,
     .dim = 6,
     .depth = 1,
     .patch = 2,
     .heads = 3,
     .mean_pool = 1,
     .batch = 8,
     .activation = NC_AXX_GELU_TANH},
    {.kind = NC_AXX_NET_CNN,
     .image = 7,
     .channels = 2,
     .classes = 5,
     .dim = 3,
     .depth = 3,
     .batch = 4},
    {.kind = NC_AXX_NET_CNN,
     .image = 4,
     .channels = 1,
     .classes = 4,
     .dim = 20,
     .depth = 1,
     .batch = 8},
    {.kind = NC_AXX_NET_VIT, /* DeiT, distilled, with registers; heads wider than dim */
     .image = 2,
     .channels = 3,
     .classes = 4,
     .dim = 6,
     .depth = 2,
     .patch = 2,
     .heads = 2,
     .batch = 4,
     .activation = NC_AXX_GELU_QUICK,
     .width = 6,
     .head_dim = 5,
     .eps = 1e-6f,
     .no_qkv_bias = 1,
     .layer_scale = 1,
     .registers = 3,
     .distilled = 1},
    {.kind = NC_AXX_NET_VIT, /* DINOv2 with registers, pooled */
     .image = 6,
     .channels = 1,
     .classes = 5,
     .dim = 6,
     .depth = 1,
     .patch = 2,
     .heads = 3,
     .mlp = 7,
     .mean_pool = 2,
     .batch = 4,
     .activation = NC_AXX_SILU,
     .width = 4,
     .qk_norm = 1,
     .layer_scale = 1,
     .gated = 1,
     .registers = 2,
     .patch_positions = 1,
     .pre_norm = 1,
     .fc_norm = 1},
    {.kind = NC_AXX_NET_VIT, /* gate and value apart, no class token */
     .image = 4,
     .channels = 1,
     .classes = 5,
     .dim = 6,
     .depth = 2,
     .patch = 2,
     .heads = 1,
     .mlp = 9,
     .mean_pool = 1,
     .batch = 4,
     .activation = NC_AXX_GELU_TANH,
     .eps = 1e-3f,
     .qk_norm = 1,
     .gated = 2,
     .registers = 1},
    {.kind = NC_AXX_NET_VIT, /* norms behind attention and MLP */
     .image = 4,
     .channels = 2,
     .classes = 3,
     .dim = 6,
     .depth = 2,
     .patch = 2,
     .heads = 2,
     .batch = 4,
     .no_proj_bias = 1,
     .post_norm = 1},
    {.kind = NC_AXX_NET_VIT, /* SiLU without a gate */
     .image = 4,
     .channels = 1,
     .classes = 5,
     .dim = 6,
     .depth = 1,
     .patch = 4,
     .heads = 2,
     .batch = 4,
     .activation = NC_AXX_SILU,
     .patch_positions = 1,
     .pre_norm = 1},
};
enum { SHAPES = sizeof shapes / sizeof *shapes };

static nc_axx_net *net_of(size_t s) {
    nc_axx_net *net;
    float *p;
    size_t n, i;
    assert_int_equal(nc_axx_net_create(&net, &shapes[s]), NC_OK);
    nc_axx_net_init(net, 3 + s);
    p = nc_axx_net_parameters(net, &n);
    for (i = 0; i < n; i++) /* layer scales that let a block be seen */
        if (p[i] == 1e-5f) p[i] = 0.7f;
    return net;
}

static nc_axx_images images_of(const nc_axx_net *net, size_t count, uint64_t seed) {
    const nc_axx_net_config *c = nc_axx_net_get_config(net);
    const size_t n = (size_t)c->channels * c->image * c->width;
    float *pixels = malloc(count * n * sizeof *pixels);
    uint32_t *labels = malloc(count * sizeof *labels);
    nc_axx_images images;
    size_t i;
    for (i = 0; i < count * n; i++)
        pixels[i] = (float)((test_random(&seed) >> 20) % 2001) / 1000.0f - 1.0f;
    for (i = 0; i < count; i++) labels[i] = (uint32_t)(test_random(&seed) >> 20) % c->classes;
    images.pixels = pixels;
    images.labels = labels;
    images.count = count;
    return images;
}

static void images_free(nc_axx_images *images) {
    free((void *)(uintptr_t)images->pixels);
    free((void *)(uintptr_t)images->labels);
}

static void gradients_equal_differences(void **state) {
    size_t s, i, n;
    (void)state;
    for (s = 0; s < SHAPES; s++) {
        nc_axx_net *net = net_of(s);
        nc_axx_images images = images_of(net, 4, 9);
        float *p = nc_axx_net_parameters(net, &n), *g = malloc(n * sizeof *g), loss;
        uint64_t seed = 5;
        uint32_t right;
        double worst = 0;
        for (i = 0; i < n; i++) /* biases too are tried away from zero */
            p[i] += (float)((test_random(&seed) >> 20) % 200) / 1000.0f - 0.1f;
        assert_int_equal(nc_axx_net_backward(net, images.pixels, images.labels, 4, &loss, &right),
                         0);
        memcpy(g, nc_axx_net_gradients(net), n * sizeof *g);
        for (i = 0; i < n; i += 1 + n / 400) {
            const float keep = p[i], step = 1e-3f;
            float up, down;
            double slope, error;
            p[i] = keep + step;
            assert_int_equal(nc_axx_net_backward(net, images.pixels, images.labels, 4, &up, NULL),
                             0);
            p[i] = keep - step;
            assert_int_equal(nc_axx_net_backward(net, images.pixels, images.labels, 4, &down, NULL),
                             0);
            p[i] = keep;
            slope = ((double)up - (double)down) / (2 * (double)step);
            error = fabs(slope - (double)g[i]) / (0.02 + fabs(slope));
            if (error > worst) worst = error;
        }
        if (worst > 0.05) /* room for a kink of ReLU nearby */
            fail_msg("shape %zu: a gradient is off by %.1f %%", s, 100 * worst);
        free(g);
        images_free(&images);
        nc_axx_net_destroy(net);
    }
}

static void modes_agree_where_they_must(void **state) {
    size_t s, i;
    (void)state;
    for (s = 0; s < SHAPES; s++) {
        nc_axx_net *net = net_of(s);
        nc_axx_images images = images_of(net, COUNT, 2);
        const uint32_t classes = shapes[s].classes;
        float plain[COUNT * 5], fake[COUNT * 5], integer[COUNT * 5], approximate[COUNT * 5];
        static nc_axx_mult m;
        nc_axx_engine *e;
        uint32_t l;
        double noise = 0, size = 0;
        assert_int_equal(nc_axx_net_forward(net, images.pixels, 4, plain), NC_OK);
        nc_axx_net_set_mode(net, NC_AXX_MODE_INTEGER);
        assert_int_equal(nc_axx_net_forward(net, images.pixels, 4, integer), NC_ERR_ARG);
        assert_int_equal(nc_axx_net_calibrate(net, &images, NC_AXX_CALIBRATE_MAX, 0), NC_OK);
        assert_int_equal(nc_axx_net_forward(net, images.pixels, 4, integer), NC_OK);
        nc_axx_net_set_mode(net, NC_AXX_MODE_FAKE);
        assert_int_equal(nc_axx_net_forward(net, images.pixels, 4, fake), NC_OK);
        for (i = 0; i < 4 * classes; i++) {
            /* a value between two codes may fall either way: a step of a code, not more */
            assert_true(fabsf(fake[i] - integer[i]) < 0.05f);
            noise += fabs((double)plain[i] - (double)integer[i]);
            size += fabs((double)plain[i]);
        }
        assert_true(noise < 0.1 * size);
        nc_axx_net_set_mode(net, NC_AXX_MODE_INTEGER); /* an exact engine is no other than none */
        assert_int_equal(nc_axx_make(&m, "exact", NULL), NC_OK);
        assert_int_equal(nc_axx_engine_create_with(&e, &m, -1), NC_OK);
        for (l = 0; l < nc_axx_net_layers(net); l++)
            assert_int_equal(nc_axx_net_assign(net, l, e), NC_OK);
        assert_int_equal(nc_axx_net_forward(net, images.pixels, 4, approximate), NC_OK);
        assert_memory_equal(integer, approximate, 4 * classes * sizeof(float));
        for (l = 0; l < nc_axx_net_layers(net); l++)
            assert_int_equal(nc_axx_net_assign(net, l, NULL), NC_OK);
        nc_axx_engine_destroy(e);
        assert_int_equal(nc_axx_make(&m, "truncated:8", NULL), NC_OK);
        assert_int_equal(nc_axx_engine_create(&e, &m), NC_OK);
        for (l = 0; l < nc_axx_net_layers(net); l++) /* every layer listens to its engine */
        {
            assert_int_equal(nc_axx_net_assign(net, l, e), NC_OK);
            assert_int_equal(nc_axx_net_forward(net, images.pixels, 4, approximate), NC_OK);
            assert_memory_not_equal(integer, approximate, 4 * classes * sizeof(float));
            assert_int_equal(nc_axx_net_assign(net, l, NULL), NC_OK);
        }
        assert_int_equal(nc_axx_net_assign(net, l, e), NC_ERR_ARG);
        nc_axx_engine_destroy(e);
        assert_int_equal(nc_axx_make(&m, "exact+unsigned", NULL), NC_OK);
        assert_int_equal(nc_axx_engine_create(&e, &m), NC_OK);
        assert_int_equal(nc_axx_net_assign(net, 0, e), NC_ERR_ARG);
        nc_axx_engine_destroy(e);
        images_free(&images);
        nc_axx_net_destroy(net);
    }
}

/* The first convolution of the CNN is nc_axx_conv2d to the bit. */
static void the_convolutional_network_convolves(void **state) {
    nc_axx_net *net = net_of(3);
    nc_axx_images images = images_of(net, 2, 4);
    const nc_axx_conv shape = {2, 1, 4, 4, 20, 3, 3, 1, 1, 1, 1, 1, 1, 1, 0, 0};
    nc_axx_layer_info info;
    float logits[8], scales[20], y[2 * 20 * 16], pooled[40], expected[8], *w;
    int8_t x[32], qw[180];
    nc_axx_engine *e;
    nc_axx_mult *m = malloc(sizeof *m);
    size_t bytes, i, k, n, image;
    void *work;
    (void)state;
    w = nc_axx_net_parameters(net, &n);
    assert_int_equal(n, 180 + 20 + 80 + 4);
    assert_int_equal(nc_axx_make(m, "mitchell", NULL), NC_OK);
    assert_int_equal(nc_axx_engine_create(&e, m), NC_OK);
    assert_int_equal(nc_axx_net_calibrate(net, &images, NC_AXX_CALIBRATE_PERCENTILE, NAN),
                     NC_ERR_ARG);
    assert_int_equal(nc_axx_net_calibrate(net, &images, NC_AXX_CALIBRATE_MAX, 0), NC_OK);
    nc_axx_net_set_mode(net, NC_AXX_MODE_INTEGER);
    nc_axx_net_set_mode(net, (nc_axx_mode)7); /* no mode: nothing changes */
    {
        nc_axx_layer_info info;
        assert_int_equal(nc_axx_net_layer(net, 0, &info), NC_OK);
        assert_int_equal(info.options.mode, NC_AXX_MODE_INTEGER);
    }
    assert_int_equal(nc_axx_net_assign(net, 0, e), NC_OK);
    assert_int_equal(nc_axx_net_forward(net, images.pixels, 2, logits), NC_OK);
    assert_int_equal(nc_axx_net_layer(net, 0, &info), NC_OK);
    assert_true(info.macs == 16 * 9 * 20 && info.parameters == 200);
    nc_axx_quantize(x, images.pixels, 32, nc_axx_scale(info.amax[0], 8), 8);
    nc_axx_quantize_rows(qw, scales, w, 20, 9, 8);
    work = malloc(bytes = nc_axx_conv_work_bytes(e, &shape));
    assert_int_equal(nc_axx_conv2d(e, &shape, x, nc_axx_scale(info.amax[0], 8), qw, scales, w + 180,
                                   y, work, bytes),
                     NC_OK);
    for (image = 0; image < 2; image++)
        for (k = 0; k < 20; k++) {
            float sum = 0;
            for (i = 0; i < 16; i++) {
                const float v = y[(image * 20 + k) * 16 + i];
                sum += v > 0 ? v : 0;
            }
            pooled[image * 20 + k] = sum / 16.0f;
        }
    free(work);
    nc_axx_engine_destroy(e);
    assert_int_equal(nc_axx_make(m, "exact", NULL), NC_OK);
    assert_int_equal(nc_axx_engine_create(&e, m), NC_OK);
    assert_int_equal(nc_axx_net_layer(net, 1, &info), NC_OK);
    {
        int8_t qx[40], qh[80];
        nc_axx_quantize(qx, pooled, 40, nc_axx_scale(info.amax[0], 8), 8);
        nc_axx_quantize_rows(qh, scales, w + 200, 4, 20, 8);
        work = malloc(bytes = nc_axx_linear_work_bytes(e, 2, 20, 4));
        assert_int_equal(nc_axx_linear(e, qx, nc_axx_scale(info.amax[0], 8), qh, scales, w + 280,
                                       expected, 2, 20, 4, work, bytes),
                         NC_OK);
    }
    assert_memory_equal(logits, expected, sizeof logits);
    free(work);
    free(m);
    nc_axx_engine_destroy(e);
    images_free(&images);
    nc_axx_net_destroy(net);
}

static void networks_survive_safetensors(void **state) {
    size_t s, i, bytes, n;
    (void)state;
    for (s = 0; s < SHAPES; s++) {
        nc_axx_net *net = net_of(s), *again = net_of(s);
        nc_axx_images images = images_of(net, COUNT, 8);
        float a[COUNT * 5], b[COUNT * 5];
        uint64_t seed = 1;
        nc_error err;
        char *data;
        float *p;
        assert_int_equal(nc_axx_net_calibrate(net, &images, NC_AXX_CALIBRATE_MSE, 0), NC_OK);
        assert_int_equal(nc_axx_net_save(net, &data, &bytes, &err), NC_OK);
        p = nc_axx_net_parameters(again, &n);
        memset(p, 0, n * sizeof(float));
        if (nc_axx_net_load(again, data, bytes, &err) != NC_OK) fail_msg("%s", err.message);
        nc_axx_net_set_mode(net, NC_AXX_MODE_INTEGER);
        nc_axx_net_set_mode(again, NC_AXX_MODE_INTEGER);
        assert_int_equal(nc_axx_net_forward(net, images.pixels, 4, a), NC_OK);
        assert_int_equal(nc_axx_net_forward(again, images.pixels, 4, b), NC_OK);
        assert_memory_equal(a, b, 4 * shapes[s].classes * sizeof(float));
        assert_non_null(strstr(data + 8, shapes[s].kind == NC_AXX_NET_VIT
                                             ? "patch_embed.proj.weight"
                                             : "conv1.weight"));
        for (i = 0; i < bytes; i += 11)
            assert_int_not_equal(nc_axx_net_load(again, data, i, &err), NC_OK);
        for (i = 0; i < 3000; i++) { /* hostile headers: an error or other numbers, no crash */
            const size_t at = (size_t)(test_random(&seed) >> 16) % 800;
            const char old = data[at];
            data[at] = (char)(test_random(&seed) >> 16);
            (void)nc_axx_net_load(again, data, bytes, &err);
            data[at] = old;
        }
        nc_axx_net_destroy(again);
        again = net_of((s + 1) % SHAPES);
        assert_int_equal(nc_axx_net_load(again, data, bytes, &err), NC_ERR_MISMATCH);
        nc_axx_free_text(data);
        nc_axx_net_destroy(net);
        nc_axx_net_destroy(again);
        images_free(&images);
    }
}

/* What a program with setlocale(LC_ALL, "") writes is what others write, and reads what they
   wrote. */
static void networks_do_not_depend_on_the_locale(void **state) {
    nc_axx_net *net = net_of(0);
    nc_axx_images images = images_of(net, COUNT, 8);
    size_t bytes, comma_bytes;
    char *data, *comma_data;
    nc_error err;
    (void)state;
    assert_int_equal(nc_axx_net_calibrate(net, &images, NC_AXX_CALIBRATE_MSE, 0), NC_OK);
    assert_int_equal(nc_axx_net_save(net, &data, &bytes, &err), NC_OK);
    if (comma_locale()) {
        assert_int_equal(nc_axx_net_save(net, &comma_data, &comma_bytes, &err), NC_OK);
        assert_int_equal(comma_bytes, bytes);
        assert_memory_equal(comma_data, data, bytes);
        if (nc_axx_net_load(net, data, bytes, &err) != NC_OK) fail_msg("%s", err.message);
        nc_axx_free_text(comma_data);
        setlocale(LC_NUMERIC, "C");
    } else {
        printf("skipped: no locale with a comma (Debian: locales)\n");
    }
    nc_axx_free_text(data);
    images_free(&images);
    nc_axx_net_destroy(net);
}

/* A tensor of a file; width 2 is F16, -2 BF16, 4 F32, 8 F64. */
typedef struct tensor {
    const char *name, *shape;
    size_t count;
    int width;
} tensor;

static const tensor timm_tensors[] = {{"head.bias", "3", 3, 4},
                                      {"head.weight", "3,4", 12, 2},
                                      {"blocks.0.norm1.weight", "4", 4, -2},
                                      {"blocks.0.norm1.bias", "4", 4, 4},
                                      {"blocks.0.attn.qkv.weight", "12,4", 48, 8},
                                      {"blocks.0.attn.qkv.bias", "12", 12, 4},
                                      {"blocks.0.attn.proj.weight", "4,4", 16, -2},
                                      {"blocks.0.attn.proj.bias", "4", 4, 4},
                                      {"blocks.0.norm2.weight", "4", 4, 4},
                                      {"blocks.0.norm2.bias", "4", 4, 4},
                                      {"blocks.0.mlp.fc1.weight", "8,4", 32, 4},
                                      {"blocks.0.mlp.fc1.bias", "8", 8, 2},
                                      {"blocks.0.mlp.fc2.weight", "4,8", 32, 4},
                                      {"blocks.0.mlp.fc2.bias", "4", 4, 4},
                                      {"norm.weight", "4", 4, 4},
                                      {"norm.bias", "4", 4, 4},
                                      {"cls_token", "1,1,4", 4, 4},
                                      {"pos_embed", "1,5,4", 20, 4},
                                      {"patch_embed.proj.weight", "4,1,2,2", 16, 4},
                                      {"patch_embed.proj.bias", "4", 4, 8}};
enum { TIMM_TENSORS = sizeof timm_tensors / sizeof *timm_tensors };

/* The values 1.5, -0.25, 1.5 .. of a tensor. */
static char *put_values(char *at, const tensor *t) {
    const int width = abs(t->width);
    const uint64_t words[4][2] = {{0x3FC00000, 0xBE800000},
                                  {0x3E00, 0xB400},
                                  {0x3FC0, 0xBE80},
                                  {0x3FF8000000000000, 0xBFD0000000000000}};
    const uint64_t *word = words[t->width == 8 ? 3 : t->width == 2 ? 1 : t->width == -2 ? 2 : 0];
    size_t k;
    int b;
    for (k = 0; k < t->count; k++)
        for (b = 0; b < width; b++) *at++ = (char)(word[k % 2] >> (8 * b));
    return at;
}

/* A safetensors file of timm_tensors, their names behind a prefix, and one more (null: none), with
 * a pair of metadata. Free with free. */
static char *timm_file(const char *prefix, const tensor *more, const char *pair, size_t *bytes) {
    char *file = calloc(1, 1 << 14), *at = file + 8;
    size_t i, offset = 0, header;
    at += sprintf(at, "{ \"__metadata__\" : {\"format\":\"pt\",%s}", pair);
    for (i = 0; i < TIMM_TENSORS + (more != NULL); i++) {
        const tensor *t = i < TIMM_TENSORS ? &timm_tensors[i] : more;
        const size_t size = t->count * (size_t)abs(t->width);
        at += sprintf(at,
                      ",\n \"%s%s\":{\"dtype\":\"%s\",\"shape\":[%s],\"data_offsets\":[%zu, %zu]}",
                      prefix, t->name,
                      t->width == 8    ? "F64"
                      : t->width == 2  ? "F16"
                      : t->width == -2 ? "BF16"
                                       : "F32",
                      t->shape, offset, offset + size);
        offset += size;
    }
    at += sprintf(at, "}");
    header = (size_t)(at - file) - 8;
    for (i = 0; i < 8; i++) file[i] = (char)((uint64_t)header >> (8 * i));
    for (i = 0; i < TIMM_TENSORS; i++) at = put_values(at, &timm_tensors[i]);
    if (more) at = put_values(at, more);
    *bytes = (size_t)(at - file);
    return file;
}

static const nc_axx_net_config timm_config = {.kind = NC_AXX_NET_VIT,
                                              .image = 4,
                                              .channels = 1,
                                              .classes = 3,
                                              .dim = 4,
                                              .depth = 1,
                                              .patch = 2,
                                              .heads = 2,
                                              .mlp = 8,
                                              .batch = 2};

/* A file as PyTorch's timm writes one: every type, any order; as DataParallel writes it too. */
static void files_with_the_names_of_timm_run(void **state) {
    static const char *const prefixes[] = {"", "module."};
    const float pixels[32] = {0.5f, -1.0f};
    size_t i, n, bytes, k;
    nc_error err;
    (void)state;
    for (k = 0; k < 2; k++) {
        char *file = timm_file(prefixes[k], NULL, "\"note\":\"a \\\"b\\\"\"", &bytes);
        nc_axx_net *net;
        float *p, logits[6];
        assert_int_equal(nc_axx_net_create(&net, &timm_config), NC_OK);
        if (nc_axx_net_load(net, file, bytes, &err) != NC_OK)
            fail_msg("%d:%d %s", (int)err.line, (int)err.column, err.message);
        p = nc_axx_net_parameters(net, &n);
        assert_int_equal(n, 4 + 20 + 16 + 4 + 8 + 48 + 12 + 16 + 4 + 8 + 32 + 8 + 32 + 4 + 8 + 15);
        for (i = 0; i < n - 3; i++) /* every tensor but the last has an even length */
            assert_true(p[i] == (i % 2 ? -0.25f : 1.5f));
        assert_int_equal(nc_axx_net_forward(net, pixels, 2, logits), NC_OK);
        for (i = 0; i < 6; i++) assert_true(logits[i] - logits[i] == 0);
        nc_axx_net_destroy(net);
        free(file);
    }
}

/* The image is a square where it is not given. */
static void files_of_timm_tell_their_configuration(void **state) {
    nc_axx_net_config config = {.heads = 2, .batch = 2}, wrong = {.heads = 3}, no_square;
    nc_axx_net *net, *other;
    nc_error err;
    size_t bytes, i;
    char *file = timm_file("module.", NULL, "\"note\":\"\"", &bytes);
    (void)state;
    assert_int_equal(nc_axx_net_describe(&config, file, bytes, &err), NC_OK);
    assert_int_equal(nc_axx_net_create(&net, &config), NC_OK);
    assert_int_equal(nc_axx_net_create(&other, &timm_config), NC_OK);
    assert_memory_equal(nc_axx_net_get_config(net), nc_axx_net_get_config(other), sizeof config);
    assert_int_equal(nc_axx_net_load(net, file, bytes, &err), NC_OK);
    assert_int_equal(nc_axx_net_describe(&wrong, file, bytes, &err), NC_ERR_MISMATCH);
    assert_non_null(strstr(err.message, "4 wide: give heads, not 3"));
    assert_int_equal(wrong.dim, 0);
    assert_int_equal(nc_axx_net_describe(NULL, file, bytes, &err), NC_ERR_ARG);
    for (i = 0; i < bytes; i += 11)
        assert_int_not_equal(nc_axx_net_describe(&config, file, i, &err), NC_OK);
    memset(&no_square, 0, sizeof no_square);
    no_square.heads = 2;
    memcpy(strstr(file + 8, "cls_token"), "reg_token", 9);
    assert_int_equal(nc_axx_net_describe(&no_square, file, bytes, &err), NC_OK);
    assert_true(no_square.mean_pool == 1 && no_square.registers == 1 && no_square.image == 4);
    memcpy(strstr(file + 8, "reg_token"), "any_token", 9);
    assert_int_equal(nc_axx_net_describe(&no_square, file, bytes, &err), NC_OK);
    memset(&no_square, 0, sizeof no_square);
    no_square.heads = 2;
    assert_int_equal(nc_axx_net_describe(&no_square, file, bytes, &err), NC_ERR_MISMATCH);
    assert_non_null(strstr(err.message, "5 positions"));
    memcpy(strstr(file + 8, "pos_embed"), "any_embed", 9);
    assert_int_equal(nc_axx_net_describe(&no_square, file, bytes, &err), NC_ERR_MISMATCH);
    assert_non_null(strstr(err.message, "'pos_embed' is missing"));
    nc_axx_net_destroy(net);
    nc_axx_net_destroy(other);
    free(file);
}

/* What a network cannot use is named, and nothing is changed: each of these is a part of some
   network of timm's and would be missed in the logits. */
static void tensors_without_a_use_are_refused_by_name(void **state) {
    static const tensor more[] = {{"blocks.0.ls1.gamma", "4", 4, 4},
                                  {"blocks.0.ls2.gamma", "4", 4, 4},
                                  {"blocks.0.attn.q_norm.weight", "2", 2, 4},
                                  {"blocks.0.attn.norm.weight", "4", 4, 4},
                                  {"blocks.0.attn.rel_pos.table", "4", 4, 4},
                                  {"blocks.0.mlp.norm.weight", "8", 8, 4},
                                  {"blocks.0.mlp.fc1_g.weight", "8,4", 32, 4},
                                  {"blocks.0.norm3.bias", "4", 4, 4},
                                  {"blocks.1.norm1.weight", "4", 4, 4},
                                  {"pre_logits.fc.weight", "7", 7, 4},
                                  {"norm_pre.weight", "4", 4, 4},
                                  {"fc_norm.weight", "4", 4, 4},
                                  {"dist_token", "1,1,4", 4, 4},
                                  {"reg_token", "1,4,4", 16, 4},
                                  {"head_dist.bias", "3", 3, 4},
                                  {"pos_embed_win", "1,5,4", 20, 4},
                                  {"attn_pool.latent", "1,1,4", 4, 4},
                                  {"logit_scale", "", 1, 4}};
    nc_axx_net *net;
    nc_error err;
    size_t i, k, n, bytes;
    char *file;
    float *p;
    (void)state;
    assert_int_equal(nc_axx_net_create(&net, &timm_config), NC_OK);
    p = nc_axx_net_parameters(net, &n);
    for (i = 0; i < sizeof more / sizeof *more; i++) {
        file = timm_file("", &more[i], "\"note\":\"\"", &bytes);
        assert_int_equal(nc_axx_net_load(net, file, bytes, &err), NC_ERR_MISMATCH);
        if (!strstr(err.message, more[i].name)) fail_msg("%s: %s", more[i].name, err.message);
        for (k = 0; k < n; k++) assert_true(p[k] == 0);
        free(file);
    }
    file = timm_file("", NULL, "\"note\":\"\"", &bytes);
    memcpy(strstr(file + 8, "norm1.weight"), "norm3.weight", 12);
    assert_int_equal(nc_axx_net_load(net, file, bytes, &err), NC_ERR_MISMATCH);
    assert_non_null(strstr(err.message, "norm3.weight"));
    free(file);
    file = timm_file("", &timm_tensors[3], "\"note\":\"\"", &bytes);
    assert_int_equal(nc_axx_net_load(net, file, bytes, &err), NC_ERR_FORMAT);
    assert_non_null(strstr(err.message, "blocks.0.norm1.bias"));
    free(file);
    nc_axx_net_destroy(net);
}

/* Nor is an amax that no layer has, or are those of some layers only. */
static void an_amax_of_no_layer_is_refused_by_name(void **state) {
    static const struct {
        const char *pair, *name;
        nc_status status;
    } cases[] = {{"\"amax.blocks.0.fc9\":\"1 0\"", "amax.blocks.0.fc9", NC_ERR_MISMATCH},
                 {"\"amax.head\":\"1 0\"", "amax.patch_embed", NC_ERR_MISMATCH},
                 {"\"amax.head\":\"1\"", "amax.head", NC_ERR_FORMAT},
                 {"\"amax.head\":\"-1 0\"", "amax.head", NC_ERR_FORMAT},
                 {"\"amax.head\":\"1 0\",\"amax.head\":\"1 0\"", "amax.head", NC_ERR_FORMAT}};
    nc_axx_net *net;
    nc_error err;
    size_t i, bytes;
    (void)state;
    assert_int_equal(nc_axx_net_create(&net, &timm_config), NC_OK);
    for (i = 0; i < sizeof cases / sizeof *cases; i++) {
        char *file = timm_file("", NULL, cases[i].pair, &bytes);
        assert_int_equal(nc_axx_net_load(net, file, bytes, &err), cases[i].status);
        if (!strstr(err.message, cases[i].name)) fail_msg("%s: %s", cases[i].pair, err.message);
        free(file);
    }
    nc_axx_net_destroy(net);
}

/* Classes that can be told apart: the brightest corner. */
static void label_by_corner(nc_axx_images *images, uint32_t side, size_t pixels, uint32_t classes) {
    uint32_t *labels = (uint32_t *)(uintptr_t)images->labels;
    float *p = (float *)(uintptr_t)images->pixels;
    size_t i;
    for (i = 0; i < images->count; i++) {
        const uint32_t label = (uint32_t)(i * 7 % classes);
        const size_t corner[4] = {0, side - 1, (size_t)side * (side - 1), (size_t)side * side - 1};
        labels[i] = label;
        p[i * pixels + corner[label % 4]] += 3.0f;
    }
}

static int count_steps(void *user, uint32_t step, uint32_t steps, float loss, float accuracy) {
    uint32_t *seen = user;
    assert_true(step == *seen + 1 && step <= steps && loss >= 0 && accuracy >= 0 && accuracy <= 1);
    *seen = step;
    return 0;
}

static int stop_at_three(void *user, uint32_t step, uint32_t steps, float loss, float accuracy) {
    (void)user;
    (void)steps;
    (void)loss;
    (void)accuracy;
    return step == 3;
}

static void training_learns_in_every_mode(void **state) {
    size_t s;
    int way;
    (void)state;
    for (s = 1; s < 4; s += 2)
        for (way = 0; way < 3; way++) { /* AdamW, SGD, then approximate and progressive */
            nc_axx_net *net = net_of(s);
            nc_axx_images images = images_of(net, 96, 6);
            nc_axx_training t;
            nc_axx_score before, after;
            uint32_t seen = 0, confusion[16], i, sum = 0, diagonal = 0;
            float *p;
            size_t n, k;
            uint64_t digest[2] = {0, 0};
            static nc_axx_mult m;
            nc_axx_engine *e = NULL;
            memset(&t, 0, sizeof t);
            memset(&before, 0, sizeof before);
            label_by_corner(&images, shapes[s].image, shapes[s].image * shapes[s].image,
                            shapes[s].classes);
            after = before;
            after.confusion = confusion;
            t.epochs = 15;
            t.sgd = way == 1;
            t.lr = way == 1 ? 0.03f : 0.005f;
            t.decay_epochs = 8;
            t.decay = 0.5f;
            t.cosine = way == 0;
            t.weight_decay = 1e-4f;
            t.progressive = way == 2;
            t.watch = count_steps;
            t.user = &seen;
            if (way == 2) {
                assert_int_equal(nc_axx_make(&m, "truncated:5", NULL), NC_OK);
                assert_int_equal(nc_axx_engine_create(&e, &m), NC_OK);
                for (i = 0; i < nc_axx_net_layers(net); i++)
                    assert_int_equal(nc_axx_net_assign(net, i, e), NC_OK);
                assert_int_equal(nc_axx_net_calibrate(net, &images, NC_AXX_CALIBRATE_MAX, 0), 0);
                nc_axx_net_set_mode(net, NC_AXX_MODE_INTEGER);
            }
            assert_int_equal(nc_axx_net_evaluate(net, &images, &before), NC_OK);
            assert_int_equal(nc_axx_net_train(net, &images, &t), NC_OK);
            assert_int_equal(seen, 15 * 12);
            assert_int_equal(nc_axx_net_evaluate(net, &images, &after), NC_OK);
            if (!(after.top1 > 0.85 && after.top1 > before.top1 && after.loss < before.loss))
                fail_msg("shape %zu, way %d: %.2f to %.2f", s, way, before.top1, after.top1);
            for (i = 0; i < shapes[s].classes * shapes[s].classes; i++) {
                sum += confusion[i];
                if (i % (shapes[s].classes + 1) == 0) diagonal += confusion[i];
            }
            assert_int_equal(sum, 96);
            assert_int_equal(diagonal, (uint32_t)(after.top1 * 96 + 0.5));
            p = nc_axx_net_parameters(net, &n);
            for (k = 0; k < n; k++) digest[0] = digest[0] * 31 + (uint64_t)(p[k] * 1e6f);
            nc_axx_net_init(net, 3 + s); /* the same again gives the same */
            seen = 0;
            assert_int_equal(nc_axx_net_train(net, &images, &t), NC_OK);
            for (k = 0; k < n; k++) digest[1] = digest[1] * 31 + (uint64_t)(p[k] * 1e6f);
            assert_true(digest[0] == digest[1]);
            t.watch = stop_at_three;
            assert_int_equal(nc_axx_net_train(net, &images, &t), NC_ERR_CANCELLED);
            nc_axx_engine_destroy(e);
            images_free(&images);
            nc_axx_net_destroy(net);
        }
}

static void pruned_weights_stay_zero(void **state) {
    nc_axx_net *net = net_of(3);
    nc_axx_images images = images_of(net, 16, 3);
    nc_axx_training t;
    size_t n, i, zeros = 0;
    float *p = nc_axx_net_parameters(net, &n);
    (void)state;
    memset(&t, 0, sizeof t);
    t.epochs = 2;
    assert_int_equal(nc_axx_net_prune(net, 0.5), NC_OK);
    assert_int_equal(nc_axx_net_train(net, &images, &t), NC_OK);
    for (i = 0; i < 180; i++) zeros += p[i] == 0; /* the convolution */
    assert_int_equal(zeros, 90);
    for (zeros = 0, i = 200; i < 280; i++) zeros += p[i] == 0; /* the head */
    assert_int_equal(zeros, 40);
    assert_int_equal(nc_axx_net_prune(net, 0), NC_OK);
    assert_int_equal(nc_axx_net_train(net, &images, &t), NC_OK);
    for (zeros = 0, i = 0; i < 180; i++) zeros += p[i] == 0;
    assert_true(zeros < 10);
    assert_int_equal(nc_axx_net_prune(net, 1.5), NC_ERR_ARG);
    images_free(&images);
    nc_axx_net_destroy(net);
}

static void power_is_weighed_by_work(void **state) {
    nc_axx_net *net = net_of(3);
    const float powers[2] = {0.5f, 1.0f};
    nc_axx_layer_info info;
    (void)state;
    /* 16 * 9 * 20 = 2,880 of 2,960 at half */
    assert_true(fabs(nc_axx_net_power(net, powers) - (1440.0 + 80.0) / 2960.0) < 1e-9);
    assert_int_equal(nc_axx_net_layer(net, 2, &info), NC_ERR_ARG);
    nc_axx_net_destroy(net);
}

static void impossible_networks_are_refused(void **state) {
    nc_axx_net *net;
    nc_axx_net_config c = shapes[0];
    (void)state;
    c.patch = 4; /* does not divide 6 */
    assert_int_equal(nc_axx_net_create(&net, &c), NC_ERR_ARG);
    assert_null(net);
    c = shapes[0];
    c.heads = 3;
    assert_int_equal(nc_axx_net_create(&net, &c), NC_ERR_ARG);
    c = shapes[2];
    c.depth = 7;
    assert_int_equal(nc_axx_net_create(&net, &c), NC_ERR_ARG);
    c.classes = 0;
    assert_int_equal(nc_axx_net_create(&net, &c), NC_ERR_ARG);
    assert_int_equal(nc_axx_net_create(&net, NULL), NC_ERR_ARG);
    nc_axx_net_destroy(NULL);
}

static const nc_axx_layer_options approximate = {.mode = NC_AXX_MODE_INTEGER};

static uint32_t fit(nc_axx_net *net, const char *pattern) {
    uint32_t count = 99;
    nc_error err;
    const nc_status status = nc_axx_net_set(net, pattern, &approximate, &count, &err);
    assert_int_equal(status, count ? NC_OK : NC_ERR_ARG);
    if (!count) assert_non_null(strstr(err.message, pattern));
    return count;
}

/* Patterns fit names of layers and of their weights; what fits nothing or cannot be is refused. */
static void layers_are_set_by_name(void **state) {
    static const struct {
        nc_axx_layer_options options;
        const char *message;
    } refused[] = {{{.mode = (nc_axx_mode)3}, "mode 3"},
                   {{.bits = 1}, "1 bits"},
                   {{.bits = 9}, "9 bits"},
                   {{.per_tensor = 2}, "per_tensor 2"},
                   {{.weight_percent = -1}, "weight_percent"},
                   {{.weight_percent = 101}, "weight_percent"}};
    nc_axx_net *net = net_of(0);
    nc_axx_layer_options options = {.engine = NULL};
    static nc_axx_mult m;
    nc_axx_engine *e;
    nc_error err;
    size_t i;
    (void)state;
    assert_int_equal(fit(net, "*"), nc_axx_net_layers(net));
    assert_int_equal(fit(net, "blocks.*.mlp.fc1"), 2);
    assert_int_equal(fit(net, "blocks.*.fc1"), 2);
    assert_int_equal(fit(net, "blocks.1.*"), 6);
    assert_int_equal(fit(net, "blocks.?.q?"), 2);
    assert_int_equal(fit(net, "*.attn.*"), 4);
    assert_int_equal(fit(net, "*c*2"), 2);
    assert_int_equal(fit(net, "head"), 1);
    assert_int_equal(fit(net, "hea"), 0);
    assert_int_equal(fit(net, "ead"), 0);
    assert_int_equal(fit(net, "blocks.2.*"), 0);
    assert_int_equal(fit(net, ""), 0);
    for (i = 0; i < sizeof refused / sizeof *refused; i++) {
        assert_int_equal(nc_axx_net_set(net, "*", &refused[i].options, NULL, &err), NC_ERR_ARG);
        assert_non_null(strstr(err.message, refused[i].message));
    }
    assert_int_equal(nc_axx_generate(&m, NC_AXX_EXACT, 0, 0, 1), NC_OK);
    assert_int_equal(nc_axx_engine_create(&e, &m), NC_OK);
    options.engine = e;
    assert_int_equal(nc_axx_net_set(net, "*", &options, NULL, &err), NC_ERR_ARG);
    assert_non_null(strstr(err.message, "unsigned"));
    nc_axx_engine_destroy(e);
    nc_axx_net_destroy(net);
}

/* A file names the multiplier of a layer: without it the network computes no integers, and with it
   what the one that was saved does. */
static void files_name_multipliers(void **state) {
    nc_axx_net *net = net_of(0), *other = net_of(0);
    nc_axx_images images = images_of(net, COUNT, 3);
    nc_axx_layer_options options = approximate;
    float a[20], b[20];
    nc_axx_layer_info info;
    static nc_axx_mult m;
    nc_axx_engine *e;
    nc_error err;
    size_t bytes;
    char *file, *text;
    (void)state;
    assert_int_equal(nc_axx_make(&m, "truncated:5", &err), NC_OK);
    assert_int_equal(nc_axx_engine_create(&e, &m), NC_OK);
    options.engine = e;
    assert_int_equal(nc_axx_net_set(net, "*.fc?", &options, NULL, &err), NC_OK);
    assert_int_equal(nc_axx_net_calibrate(net, &images, NC_AXX_CALIBRATE_MAX, 0), NC_OK);
    assert_int_equal(nc_axx_net_forward(net, images.pixels, 4, a), NC_OK);
    assert_int_equal(nc_axx_net_save(net, &file, &bytes, &err), NC_OK);
    if (nc_axx_net_load(other, file, bytes, &err) != NC_OK) fail_msg("%s", err.message);
    assert_int_equal(nc_axx_net_forward(other, images.pixels, 4, b), NC_ERR_ARG);
    assert_int_equal(nc_axx_net_layer(other, 5, &info), NC_OK);
    assert_string_equal(info.name, "blocks.0.fc1");
    assert_string_equal(info.multiplier, m.name);
    assert_null(info.options.engine);
    assert_true(info.power == 0);
    assert_int_equal(nc_axx_net_table(other, &text, &bytes), NC_OK);
    assert_non_null(strstr(text, " unknown\n"));
    nc_axx_free_text(text);
    assert_int_equal(nc_axx_net_set(other, "*.fc?", &options, NULL, &err), NC_OK);
    assert_int_equal(nc_axx_net_forward(other, images.pixels, 4, b), NC_OK);
    assert_memory_equal(a, b, sizeof a);
    nc_axx_free_text(file);
    assert_int_equal(nc_axx_net_save(other, &file, &bytes, &err), NC_OK);
    assert_int_equal(nc_axx_net_load(other, file, bytes, &err), NC_OK); /* the engine is there */
    assert_int_equal(nc_axx_net_forward(other, images.pixels, 4, b), NC_OK);
    assert_memory_equal(a, b, sizeof a);
    nc_axx_net_set_mode(other, NC_AXX_MODE_FLOAT);
    assert_int_equal(nc_axx_net_layer(other, 5, &info), NC_OK);
    assert_true(info.options.engine == e && info.power == 1);
    nc_axx_free_text(file);
    nc_axx_engine_destroy(e);
    images_free(&images);
    nc_axx_net_destroy(net);
    nc_axx_net_destroy(other);
}

/* Options that a file has are whole or refused. */
static void options_of_layers_in_files_are_checked(void **state) {
    static const struct {
        const char *from, *to, *message;
        nc_status status;
    } cases[] = {
        {"integer 8 channel 0", "integral8 channel 0", "layer.", NC_ERR_FORMAT},
        {"integer 8 channel 0", "integer 9 channel 0", "layer.", NC_ERR_FORMAT},
        {"integer 8 channel 0", "integer 8 chanel  0", "layer.", NC_ERR_FORMAT},
        {"integer 8 channel 0", "integer 8 channel x", "layer.", NC_ERR_FORMAT},
        {"integer 8 channel 0", "integer 8 tensor 00", NULL, NC_OK},
        {"layer.blocks.0.fc1", "layer.blocks.0.fc9", "fc9' is of nothing", NC_ERR_MISMATCH},
        {"layer.blocks.0.fc1", "layer.blocks.0.fc2", "fc2' stands there twice", NC_ERR_FORMAT},
        {"layer.blocks.0.fc1", "LAYER.blocks.0.fc1", "'layer.blocks.0.fc1' is missing",
         NC_ERR_MISMATCH}};
    nc_axx_net *net = net_of(0);
    nc_error err;
    size_t bytes, i;
    char *file, *at;
    (void)state;
    nc_axx_net_set_mode(net, NC_AXX_MODE_INTEGER);
    assert_int_equal(nc_axx_net_save(net, &file, &bytes, &err), NC_OK);
    for (i = 0; i < sizeof cases / sizeof *cases; i++) {
        const size_t n = strlen(cases[i].from);
        assert_int_equal(n, strlen(cases[i].to));
        at = strstr(file + 8, cases[i].from);
        assert_non_null(at);
        memcpy(at, cases[i].to, n);
        assert_int_equal(nc_axx_net_load(net, file, bytes, &err), cases[i].status);
        if (cases[i].message && !strstr(err.message, cases[i].message))
            fail_msg("%s: %s", cases[i].to, err.message);
        memcpy(at, cases[i].from, n);
    }
    nc_axx_free_text(file);
    nc_axx_net_destroy(net);
}

/* Without memory for training the logits are the same to the bit, and what trains is refused. */
static void networks_for_inference_have_the_same_logits(void **state) {
    static const nc_axx_mode modes[] = {NC_AXX_MODE_FLOAT, NC_AXX_MODE_FAKE, NC_AXX_MODE_INTEGER};
    const nc_axx_training training = {0};
    size_t s, k, n;
    (void)state;
    for (s = 0; s < SHAPES; s++) {
        nc_axx_net_config c = shapes[s];
        nc_axx_net *net = net_of(s), *other;
        nc_axx_images images = images_of(net, COUNT, 4);
        float a[COUNT * 5], b[COUNT * 5], loss, *p;
        c.inference = 1;
        assert_int_equal(nc_axx_net_create(&other, &c), NC_OK);
        nc_axx_net_init(other, 5);
        p = nc_axx_net_parameters(other, &n);
        memcpy(p, nc_axx_net_parameters(net, &n), n * sizeof *p);
        assert_int_equal(nc_axx_net_calibrate(net, &images, NC_AXX_CALIBRATE_MAX, 0), NC_OK);
        assert_int_equal(nc_axx_net_calibrate(other, &images, NC_AXX_CALIBRATE_MAX, 0), NC_OK);
        for (k = 0; k < sizeof modes / sizeof *modes; k++) {
            nc_axx_net_set_mode(net, modes[k]);
            nc_axx_net_set_mode(other, modes[k]);
            assert_int_equal(nc_axx_net_forward(net, images.pixels, 4, a), NC_OK);
            assert_int_equal(nc_axx_net_forward(other, images.pixels, 4, b), NC_OK);
            assert_memory_equal(a, b, 4 * shapes[s].classes * sizeof *a);
        }
        assert_null(nc_axx_net_gradients(other));
        assert_int_equal(nc_axx_net_backward(other, images.pixels, images.labels, 4, &loss, NULL),
                         NC_ERR_UNSUPPORTED);
        assert_int_equal(nc_axx_net_train(other, &images, &training), NC_ERR_UNSUPPORTED);
        images_free(&images);
        nc_axx_net_destroy(net);
        nc_axx_net_destroy(other);
    }
}

/* Parameters once, not four times, and one block's activations, not all of them. */
static void networks_for_inference_need_less_memory(void **state) {
    nc_axx_net_config c = {.kind = NC_AXX_NET_VIT,
                           .image = 64,
                           .channels = 3,
                           .classes = 10,
                           .dim = 96,
                           .depth = 12,
                           .patch = 16,
                           .heads = 3,
                           .batch = 1};
    size_t bytes[2], parameters, i;
    (void)state;
    for (i = 0; i < 2; i++) {
        nc_axx_net *net;
        c.inference = (uint32_t)i;
        assert_int_equal(nc_axx_net_create(&net, &c), NC_OK);
        bytes[i] = nc_axx_net_bytes(net);
        (void)nc_axx_net_parameters(net, &parameters);
        nc_axx_net_destroy(net);
    }
    if (getenv("NC_TEST_VERBOSE"))
        printf("%zu parameters: %zu bytes, for inference %zu\n", parameters, bytes[0], bytes[1]);
    assert_true(bytes[0] - bytes[1] > 3 * parameters * sizeof(float) + 11 * 17 * 20 * 96);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(gradients_equal_differences),
        cmocka_unit_test(modes_agree_where_they_must),
        cmocka_unit_test(the_convolutional_network_convolves),
        cmocka_unit_test(networks_survive_safetensors),
        cmocka_unit_test(networks_do_not_depend_on_the_locale),
        cmocka_unit_test(files_with_the_names_of_timm_run),
        cmocka_unit_test(files_of_timm_tell_their_configuration),
        cmocka_unit_test(tensors_without_a_use_are_refused_by_name),
        cmocka_unit_test(an_amax_of_no_layer_is_refused_by_name),
        cmocka_unit_test(training_learns_in_every_mode),
        cmocka_unit_test(pruned_weights_stay_zero),
        cmocka_unit_test(power_is_weighed_by_work),
        cmocka_unit_test(layers_are_set_by_name),
        cmocka_unit_test(files_name_multipliers),
        cmocka_unit_test(options_of_layers_in_files_are_checked),
        cmocka_unit_test(networks_for_inference_have_the_same_logits),
        cmocka_unit_test(networks_for_inference_need_less_memory),
        cmocka_unit_test(impossible_networks_are_refused),
    };
    return cmocka_run_group_tests_name("axx networks", tests, NULL, NULL);
}
