/* nc_axx.h, section networks (NC_AXX_VIT): vision transformers as timm saves them have its logits and
   gradients. The files come from tests/golden_axx_vit.py. */
#include "test.h"
#include <math.h>
#define NC_AXX_VIT
#include "../nc_axx.h"
#include "axx_timm.h"

#define VIT TEST_DATA "axx/vit/"

enum { IMAGES = 2 };

static nc_axx_net_config config_of(json_object *object) {
    nc_axx_net_config c;
    memset(&c, 0, sizeof c);
    c.kind = NC_AXX_NET_VIT;
    c.batch = IMAGES;
    json_object_object_foreach(
        object, key, value) if (!set_field(&c, key, strlen(key), json_object_get_double(value)))
        fail_msg("no field %s", key);
    return c;
}

/* The images of the script. */
static float *pixels_of(const nc_axx_net_config *c) {
    const size_t n = (size_t)IMAGES * c->channels * c->image * c->width;
    float *pixels = malloc(n * sizeof *pixels);
    fill_images(pixels, n);
    return pixels;
}

static double number(json_object *array, size_t i) {
    return json_object_get_double(json_object_array_get_idx(array, i));
}

static char *read_file(const char *name, size_t *bytes) {
    char path[200], *data;
    nc_error err;
    snprintf(path, sizeof path, "%s%s.safetensors", VIT, name);
    if (nc_file_read(path, &data, bytes, &err) != NC_OK) fail_msg("%s", err.message);
    return data;
}

static nc_status load(nc_axx_net *net, const char *name, nc_error *err) {
    size_t bytes;
    char *data = read_file(name, &bytes);
    nc_status status = nc_axx_net_load(net, data, bytes, err);
    nc_file_free(data);
    return status;
}

/* Largest error over the largest logit. */
static double logits_error(nc_axx_net *net, const float *pixels, json_object *logits) {
    const uint32_t classes = nc_axx_net_get_config(net)->classes;
    float y[IMAGES * 8];
    double error = 0, size = 0;
    size_t i;
    assert_int_equal(nc_axx_net_forward(net, pixels, IMAGES, y), NC_OK);
    for (i = 0; i < IMAGES * classes; i++) {
        error = fmax(error, fabs((double)y[i] - number(logits, i)));
        size = fmax(size, fabs(number(logits, i)));
    }
    return error / size;
}

/* Two sums over every tensor's gradient: see the script. Where a tensor lies says a file of the
   network, whose tensors follow each other as its parameters do. Some gradients are 0, but for
   roundings: of a bias of all keys, for one. */
static double gradients_error(nc_axx_net *net, const float *pixels, json_object *gradients) {
    const uint32_t labels[IMAGES] = {1, nc_axx_net_get_config(net)->classes - 1};
    const float *g = nc_axx_net_gradients(net);
    json_object *header;
    double worst = 0, largest = 0;
    size_t k, bytes;
    char *file;
    assert_int_equal(nc_axx_net_backward(net, pixels, labels, IMAGES, NULL, NULL), NC_OK);
    assert_int_equal(nc_axx_net_save(net, &file, &bytes, NULL), NC_OK);
    header = json_tokener_parse(file + 8);
    assert_int_equal(json_object_object_length(gradients), json_object_object_length(header) - 1);
    json_object_object_foreach(gradients, any, all) {
        (void)any;
        largest = fmax(largest, number(all, 1));
    }
    json_object_object_foreach(gradients, name, sums) {
        json_object *offsets = member(member(header, name), "data_offsets");
        const size_t first = (size_t)number(offsets, 0) / 4, end = (size_t)number(offsets, 1) / 4;
        double sum = 0;
        for (k = 0; k < end - first; k++)
            sum += (double)g[first + k] * ((double)(k * 7919 % 17) - 8);
        worst = fmax(worst, fabs(sum - number(sums, 0)) / (number(sums, 1) + 1e-4 * largest));
    }
    json_object_put(header);
    nc_axx_free_text(file);
    return worst;
}

static void networks_of_timm_have_its_logits_and_gradients(void **state) {
    json_object *all = load_json(VIT "answers.json");
    size_t seen = 0;
    (void)state;
    json_object_object_foreach(all, name, of) {
        const nc_axx_net_config config = config_of(member(of, "config"));
        float *pixels = pixels_of(&config);
        nc_axx_net *net;
        nc_error err;
        double logits, gradients;
        if (nc_axx_net_create(&net, &config) != NC_OK) fail_msg("%s: impossible", name);
        if (load(net, name, &err) != NC_OK) fail_msg("%s: %s", name, err.message);
        logits = logits_error(net, pixels, member(of, "logits"));
        gradients = gradients_error(net, pixels, member(of, "gradients"));
        if (getenv("NC_TEST_VERBOSE"))
            printf("%-40s logits %.1e gradients %.1e\n", name, logits, gradients);
        if (!(logits <= 1e-4)) fail_msg("%s: logits are off by %g", name, logits);
        if (!(gradients <= 1e-4)) fail_msg("%s: gradients are off by %g", name, gradients);
        free(pixels);
        nc_axx_net_destroy(net);
        seen++;
    }
    assert_true(seen >= 20);
    json_object_put(all);
}

/* Each option that changes the tensors, set otherwise, is contradicted by the file. */
static void options_that_a_file_contradicts_are_refused(void **state) {
    static const char *const options[] = {"no_qkv_bias", "no_proj_bias",   "qk_norm", "layer_scale",
                                          "gated",       "pre_norm",       "fc_norm", "distilled",
                                          "registers",   "patch_positions"};
    json_object *all = load_json(VIT "answers.json");
    size_t tried[sizeof options / sizeof *options] = {0}, i, k;
    (void)state;
    json_object_object_foreach(all, name, of) {
        for (i = 0; i < sizeof options / sizeof *options; i++) {
            nc_axx_net_config config = config_of(member(of, "config"));
            nc_axx_net *net;
            nc_error err;
            uint32_t value;
            for (k = 0; strcmp(fields[k].name, options[i]) != 0;) k++;
            memcpy(&value, (char *)&config + fields[k].at, 4);
            value = !value;
            memcpy((char *)&config + fields[k].at, &value, 4);
            if (nc_axx_net_create(&net, &config) != NC_OK) continue; /* not with another option */
            if (!strcmp(options[i], "patch_positions") && config.mean_pool == 1 &&
                !config.registers) { /* nothing but patches: no difference */
                assert_int_equal(load(net, name, &err), NC_OK);
            } else {
                if (load(net, name, &err) != NC_ERR_MISMATCH || !strstr(err.message, "tensor '"))
                    fail_msg("%s read with %s %u", name, options[i], (unsigned)value);
                tried[i]++;
            }
            nc_axx_net_destroy(net);
        }
    }
    for (i = 0; i < sizeof options / sizeof *options; i++) assert_true(tried[i] >= 2);
    json_object_put(all);
}

/* All but what no tensor tells. */
static void files_tell_their_configuration(void **state) {
    json_object *all = load_json(VIT "answers.json");
    (void)state;
    json_object_object_foreach(all, name, of) {
        const nc_axx_net_config expected = config_of(member(of, "config"));
        nc_axx_net_config c;
        nc_axx_net *net, *other;
        nc_error err;
        size_t bytes;
        char *data = read_file(name, &bytes);
        memset(&c, 0, sizeof c);
        c.image = expected.image;
        c.width = expected.width;
        assert_int_equal(nc_axx_net_describe(&c, data, bytes, &err),
                         expected.qk_norm ? NC_OK : NC_ERR_MISMATCH);
        if (!expected.qk_norm) assert_non_null(strstr(err.message, "give heads"));
        c.heads = expected.heads;
        c.activation = expected.gated ? 0 : expected.activation;
        c.batch = expected.batch;
        c.eps = expected.eps;
        c.post_norm = expected.post_norm;
        if (nc_axx_net_describe(&c, data, bytes, &err) != NC_OK)
            fail_msg("%s: %s", name, err.message);
        if (expected.qk_norm) c.mean_pool = 0; /* the one that has fc_norm of a class token */
        assert_int_equal(nc_axx_net_create(&net, &expected), NC_OK);
        assert_int_equal(nc_axx_net_create(&other, &c), NC_OK);
        /* without tokens in front of the patches patch_positions makes no difference */
        if (memcmp(nc_axx_net_get_config(net), nc_axx_net_get_config(other), sizeof c) != 0 &&
            (expected.mean_pool != 1 || expected.registers))
            fail_msg("%s: another configuration", name);
        assert_int_equal(nc_axx_net_load(other, data, bytes, &err), NC_OK);
        nc_axx_net_destroy(net);
        nc_axx_net_destroy(other);
        nc_file_free(data);
    }
    json_object_put(all);
}

/* A file of the library's own also tells what no tensor shows, and is refused by another network. */
static void own_files_tell_all_of_their_configuration(void **state) {
    static const nc_axx_net_config config = {.kind = NC_AXX_NET_VIT,
                                             .image = 4,
                                             .channels = 1,
                                             .classes = 3,
                                             .dim = 6,
                                             .depth = 1,
                                             .patch = 2,
                                             .heads = 3,
                                             .mean_pool = 2,
                                             .batch = 1,
                                             .activation = NC_AXX_GELU_QUICK,
                                             .width = 8,
                                             .eps = 1e-6f,
                                             .post_norm = 1};
    static const struct {
        const char *option;
        nc_axx_net_config config;
    } others[] = {{"eps 1e-06, this one 1e-05",
                   {.heads = 3, .mean_pool = 2, .activation = NC_AXX_GELU_QUICK, .post_norm = 1}},
                  {"heads 3, this one 2", {.heads = 2, .mean_pool = 2, .eps = 1e-6f}},
                  {"mean_pool 2, this one 0", {.heads = 3, .eps = 1e-6f}},
                  {"image 4, this one 8", {.heads = 3, .image = 8, .width = 4}},
                  {"activation 2, this one 0", {.heads = 3, .mean_pool = 2, .eps = 1e-6f}},
                  {"post_norm 1, this one 0",
                   {.heads = 3, .mean_pool = 2, .activation = NC_AXX_GELU_QUICK, .eps = 1e-6f}}};
    nc_axx_net_config told = {.batch = 1};
    nc_axx_net *net, *other;
    nc_error err;
    size_t bytes, i;
    char *file, *at;
    (void)state;
    assert_int_equal(nc_axx_net_create(&net, &config), NC_OK);
    nc_axx_net_init(net, 1);
    assert_int_equal(nc_axx_net_save(net, &file, &bytes, NULL), NC_OK);
    if (nc_axx_net_describe(&told, file, bytes, &err) != NC_OK) fail_msg("%s", err.message);
    assert_int_equal(nc_axx_net_create(&other, &told), NC_OK);
    assert_memory_equal(nc_axx_net_get_config(net), nc_axx_net_get_config(other), sizeof told);
    assert_int_equal(nc_axx_net_load(other, file, bytes, &err), NC_OK);
    nc_axx_net_destroy(other);
    for (i = 0; i < sizeof others / sizeof *others; i++) {
        nc_axx_net_config c = others[i].config;
        c.channels = 1;
        c.classes = 3;
        c.dim = 6;
        c.depth = 1;
        c.patch = 2;
        c.batch = 1;
        if (!c.image) c.image = 4, c.width = 8;
        assert_int_equal(nc_axx_net_create(&other, &c), NC_OK);
        assert_int_equal(nc_axx_net_load(other, file, bytes, &err), NC_ERR_MISMATCH);
        if (!strstr(err.message, others[i].option))
            fail_msg("%s: %s", others[i].option, err.message);
        nc_axx_net_destroy(other);
    }
    at = strstr(file + 8, "nc_axx.eps");
    memcpy(at, "nc_axx.epx", 10);
    assert_int_equal(nc_axx_net_load(net, file, bytes, &err), NC_ERR_MISMATCH);
    assert_non_null(strstr(err.message, "nc_axx.epx"));
    assert_int_equal(nc_axx_net_describe(&told, file, bytes, &err), NC_ERR_MISMATCH);
    memcpy(at, "nc_axx.eps\":\"x", 14);
    assert_int_equal(nc_axx_net_load(net, file, bytes, &err), NC_ERR_FORMAT);
    nc_axx_free_text(file);
    nc_axx_net_destroy(net);
}

/* Files of timm's class Eva, whose attention turns Q and K by their places, are refused as such by
   both functions, even where a VisionTransformer has all their tensors. */
static void rotary_transformers_are_refused_by_name(void **state) {
    static const char *const names[] = {"vit_pe_spatial_tiny_patch16_512",
                                        "vit_small_patch16_rope_mixed_ape_224",
                                        "vit_medium_patch16_rope_reg1_gap_256",
                                        "vit_small_patch16_dinov3",
                                        "eva02_tiny_patch14_224",
                                        "eva02_base_patch14_224"};
    size_t i, bytes;
    (void)state;
    for (i = 0; i < sizeof names / sizeof *names; i++) {
        nc_axx_net_config c = {.kind = NC_AXX_NET_VIT,
                               .image = 32,
                               .channels = 3,
                               .classes = 5,
                               .dim = 8,
                               .depth = 1,
                               .patch = i < 4 ? 16 : 14,
                               .heads = 2,
                               .batch = 1,
                               .pre_norm = 1,
                               .fc_norm = 2};
        char path[100], *data;
        nc_axx_net *net;
        nc_error err;
        snprintf(path, sizeof path, "rotary/%s", names[i]);
        data = read_file(path, &bytes);
        if (i >= 4) c.image = 28;
        assert_int_equal(nc_axx_net_create(&net, &c), NC_OK);
        assert_int_equal(nc_axx_net_load(net, data, bytes, &err), NC_ERR_MISMATCH);
        if (i == 0) assert_non_null(strstr(err.message, "class Eva"));
        assert_int_equal(nc_axx_net_describe(&c, data, bytes, &err), NC_ERR_MISMATCH);
        if (!strstr(err.message, "class Eva")) fail_msg("%s: %s", names[i], err.message);
        nc_axx_net_destroy(net);
        nc_file_free(data);
    }
}

/* What neither a network nor the caller can have is refused with its name, when it is described. */
static void impossible_networks_are_described_by_name(void **state) {
    static const struct {
        nc_axx_net_config config;
        const char *words;
    } cases[] = {
        {{.image = 8, .width = 12, .heads = 2, .batch = 5000}, "batch is 5000, where 1 to 4096"},
        {{.image = 8, .width = 12, .heads = 2, .bits = 9}, "bits is 9, where 2 to 8"},
        {{.image = 8, .width = 12, .heads = 2, .eps = 1}, "eps is not above 0"},
        {{.image = 8, .width = 12, .heads = 2, .activation = 9}, "activation is 9, where 0 to 3"},
        {{.image = 8, .width = 12, .heads = 2, .post_norm = 2}, "post_norm is 2, where 0 to 1"},
        {{.image = 8, .width = 12, .heads = 2, .inference = 2}, "inference is 2"},
        {{.image = 9, .width = 12, .heads = 2},
         "an image of 9 x 12 is not 1 to 64 whole patches of 4"},
        {{.image = 8, .width = 4100, .heads = 2}, "width is 4100, where 1 to 4096"},
    };
    size_t bytes, i;
    char *data = read_file("mixed", &bytes), *at;
    nc_axx_net_config c = {.image = 8, .width = 12, .heads = 2};
    nc_axx_net *net;
    nc_error err;
    (void)state;
    for (i = 0; i < sizeof cases / sizeof *cases; i++) {
        c = cases[i].config;
        assert_int_equal(nc_axx_net_describe(&c, data, bytes, &err), NC_ERR_ARG);
        if (!strstr(err.message, cases[i].words)) fail_msg("%s: %s", cases[i].words, err.message);
        assert_int_equal(c.dim, 0);
    }
    c = cases[0].config;
    c.batch = 1;
    if (nc_axx_net_describe(&c, data, bytes, &err) != NC_OK) fail_msg("%s", err.message);
    c.classes = 7;
    assert_int_equal(nc_axx_net_create(&net, &c), NC_OK);
    assert_int_equal(nc_axx_net_load(net, data, bytes, &err), NC_ERR_MISMATCH);
    assert_non_null(strstr(err.message, "tensor 'head.bias' has the shape 5, not 7"));
    for (at = data; memcmp(at, "patch_embed.proj.bias", 21) != 0;) at++;
    memcpy(at, "patch_embed.backbone.", 21); /* as in timm's vit_base_r50_s16_224 */
    assert_int_equal(nc_axx_net_load(net, data, bytes, &err), NC_ERR_MISMATCH);
    assert_int_equal(nc_axx_net_describe(&c, data, bytes, &err), NC_ERR_MISMATCH);
    assert_non_null(strstr(err.message, "'patch_embed.backbone.' is of convolutions before the "
                                        "transformer: try an ONNX export"));
    nc_axx_net_destroy(net);
    nc_file_free(data);
}

/* A network of one's own with the norms of those is saved with what tells that it is none. */
static void own_networks_with_the_norms_of_rotary_ones_come_back(void **state) {
    static const nc_axx_net_config config = {.kind = NC_AXX_NET_VIT,
                                             .image = 4,
                                             .classes = 3,
                                             .dim = 6,
                                             .depth = 1,
                                             .patch = 2,
                                             .heads = 3,
                                             .pre_norm = 1,
                                             .fc_norm = 2,
                                             .batch = 1};
    nc_axx_net_config told = {.batch = 1};
    nc_axx_net *net;
    nc_error err;
    size_t bytes;
    char *file, *at;
    (void)state;
    assert_int_equal(nc_axx_net_create(&net, &config), NC_OK);
    assert_int_equal(nc_axx_net_save(net, &file, &bytes, NULL), NC_OK);
    assert_int_equal(nc_axx_net_load(net, file, bytes, &err), NC_OK);
    assert_int_equal(nc_axx_net_describe(&told, file, bytes, &err), NC_OK);
    assert_int_equal(told.fc_norm, 2);
    for (at = file + 8; at < file + bytes - 7; at++)
        if (!memcmp(at, "nc_axx.", 7)) memcpy(at, "other..", 7);
    assert_int_equal(nc_axx_net_load(net, file, bytes, &err), NC_ERR_MISMATCH);
    assert_non_null(strstr(err.message, "class Eva"));
    nc_axx_free_text(file);
    nc_axx_net_destroy(net);
}

static nc_axx_mode mode_named(const char *name) {
    return !strcmp(name, "float")  ? NC_AXX_MODE_FLOAT
           : !strcmp(name, "fake") ? NC_AXX_MODE_FAKE
                                   : NC_AXX_MODE_INTEGER;
}

/* The options of the script, pattern by pattern. */
static void set_mixed(nc_axx_net *net, json_object *options) {
    size_t i;
    for (i = 0; i < json_object_array_length(options); i++) {
        json_object *row = json_object_array_get_idx(options, i);
        const nc_axx_layer_options o = {
            .mode = mode_named(json_object_get_string(json_object_array_get_idx(row, 1))),
            .bits = (uint32_t)number(row, 2),
            .per_tensor = (uint32_t)number(row, 3),
            .weight_percent = number(row, 4)};
        const char *pattern = json_object_get_string(json_object_array_get_idx(row, 0));
        uint32_t count;
        nc_error err;
        if (nc_axx_net_set(net, pattern, &o, &count, &err) != NC_OK) fail_msg("%s", err.message);
        assert_true(count >= 1);
    }
}

/* Float, fake-quantised and integer layers side by side, of 5 to 8 bits, with scales by channel and
   tensor, from the largest weight and a percentile; forwards, and again from a saved file. */
static void mixed_layers_have_the_logits_of_the_script(void **state) {
    json_object *of = load_json(VIT "mixed.json"), *logits = member(of, "logits");
    const nc_axx_net_config config = config_of(member(of, "config"));
    float *pixels = pixels_of(&config);
    const nc_axx_images images = {pixels, NULL, IMAGES};
    nc_axx_layer_info info;
    nc_axx_net *net, *other;
    nc_error err;
    size_t bytes;
    char *file, *text, *at;
    (void)state;
    assert_int_equal(nc_axx_net_create(&net, &config), NC_OK);
    assert_int_equal(nc_axx_net_create(&other, &config), NC_OK);
    if (load(net, "mixed", &err) != NC_OK) fail_msg("%s", err.message);
    assert_true(logits_error(net, pixels, member(of, "float")) <= 1e-4);
    set_mixed(net, member(of, "options"));
    assert_int_equal(nc_axx_net_forward(net, pixels, IMAGES, (float[16]){0}), NC_ERR_ARG);
    assert_int_equal(nc_axx_net_calibrate(net, &images, NC_AXX_CALIBRATE_MAX, 0), NC_OK);
    if (getenv("NC_TEST_VERBOSE")) printf("mixed: %g\n", logits_error(net, pixels, logits));
    assert_true(logits_error(net, pixels, logits) <= 1e-4);
    assert_true(logits_error(net, pixels, member(of, "float")) >= 1e-3);
    assert_int_equal(nc_axx_net_save(net, &file, &bytes, NULL), NC_OK);
    if (nc_axx_net_load(other, file, bytes, &err) != NC_OK) fail_msg("%s", err.message);
    assert_true(logits_error(other, pixels, logits) <= 1e-4);
    assert_int_equal(nc_axx_net_layer(other, 1, &info), NC_OK);
    assert_string_equal(info.name, "blocks.0.qkv");
    assert_int_equal(info.options.mode, NC_AXX_MODE_INTEGER);
    assert_int_equal(nc_axx_net_table(other, &text, &bytes), NC_OK);
    if (getenv("NC_TEST_VERBOSE")) printf("%s", text);
    at = strstr(text, "blocks.1.fc1");
    assert_non_null(at);
    assert_memory_equal(at,
                        "blocks.1.fc1   linear          1 x 7 x 16 x 8            896  0.0869  "
                        "integer     5  tensor               exact                 1.0000",
                        133);
    nc_axx_free_text(text);
    nc_axx_free_text(file);
    nc_axx_net_destroy(net);
    nc_axx_net_destroy(other);
    free(pixels);
    json_object_put(of);
}

/* The graph of a file's Swin transformer, with its parameters. */
static nc_axx_graph *swin_of(const char *name, json_object *of, nc_axx_swin *c, int training) {
    nc_axx_graph *g;
    nc_error err;
    size_t bytes;
    char *data = read_file(name, &bytes);
    memset(c, 0, sizeof *c);
    c->image = (uint32_t)json_u64(member(of, "image"));
    if (nc_axx_swin_describe(c, data, bytes, &err) != NC_OK) fail_msg("%s", err.message);
    assert_int_equal(nc_axx_graph_create(&g), NC_OK);
    if (nc_axx_graph_add_swin(g, c, &err) != NC_OK) fail_msg("%s", err.message);
    if (nc_axx_graph_finish(g, IMAGES, training, &err) != NC_OK) fail_msg("%s", err.message);
    if (nc_axx_graph_load_swin(g, c, data, bytes, &err) != NC_OK) fail_msg("%s", err.message);
    nc_file_free(data);
    return g;
}

static double error_of(const float *y, json_object *expected) {
    const size_t n = json_object_array_length(expected);
    double error = 0, size = 0;
    size_t i;
    for (i = 0; i < n; i++) {
        error = fmax(error, fabs((double)y[i] - number(expected, i)));
        size = fmax(size, fabs(number(expected, i)));
    }
    return error / size;
}

/* Weights: two sums as above; position biases: their sum is that of the table's gradient. */
static double swin_gradients_error(const nc_axx_graph *g, json_object *of) {
    double worst = 0;
    uint32_t i, seen = 0;
    size_t k;
    for (i = 0; i < nc_axx_graph_tensors(g); i++) {
        nc_axx_tensor t;
        json_object *sums;
        char name[120];
        double sum = 0, plain = 0, all = 0;
        assert_int_equal(nc_axx_graph_tensor(g, i, &t), NC_OK);
        for (k = 0; k < t.count; k++) {
            sum += (double)t.gradients[k] * ((double)(k * 7919 % 17) - 8);
            plain += (double)t.gradients[k];
            all += fabs((double)t.gradients[k]);
        }
        if (json_object_object_get_ex(member(of, "gradients"), t.name, &sums)) {
            worst = fmax(worst, fabs(sum - number(sums, 0)) / (number(sums, 1) + 1e-3));
            seen++;
        }
        snprintf(name, sizeof name, "%s", t.name);
        if (!strstr(name, "position_bias")) continue;
        memcpy(strstr(name, "position_bias"), "relative_position_bias_table", 29);
        plain -= json_object_get_double(member(member(of, "tables"), name));
        worst = fmax(worst, fabs(plain) / (all + 1e-3));
        seen++;
    }
    assert_int_equal(seen, json_object_object_length(member(of, "gradients")) +
                               json_object_object_length(member(of, "tables")));
    return worst;
}

/* Swin transformers of timm are graphs: logits and gradients, integers near them, files. */
static void swin_transformers_have_the_logits_and_gradients_of_timm(void **state) {
    static const nc_axx_layer_options integer = {.mode = NC_AXX_MODE_INTEGER};
    json_object *all = load_json(VIT "swin.json");
    (void)state;
    json_object_object_foreach(all, name, of) {
        nc_axx_swin c;
        nc_axx_graph *g = swin_of(name, of, &c, 1), *other;
        const nc_axx_net_config shape = {
            .channels = c.channels, .image = c.image, .width = c.image};
        float *pixels = pixels_of(&shape), y[IMAGES * 8], d[IMAGES * 8], z[IMAGES * 8];
        const uint32_t labels[IMAGES] = {1, c.classes - 1};
        double logits, gradients;
        uint32_t count;
        nc_error err;
        size_t bytes, i;
        char *file;
        assert_int_equal(nc_axx_graph_forward(g, pixels, IMAGES, y), NC_OK);
        logits = error_of(y, member(of, "logits"));
        memcpy(d, y, sizeof d);
        (void)nc_hlx_cross_entropy(d, labels, z, IMAGES, c.classes);
        assert_int_equal(nc_axx_graph_backward(g, d, NULL), NC_OK);
        gradients = swin_gradients_error(g, of);
        if (getenv("NC_TEST_VERBOSE"))
            printf("%-40s logits %.1e gradients %.1e\n", name, logits, gradients);
        assert_true(logits <= 1e-4);
        assert_true(gradients <= 1e-4);
        assert_int_equal(nc_axx_graph_set(g, "layers.*", &integer, &count, &err), NC_OK);
        assert_int_equal(nc_axx_graph_calibrate(g, pixels, IMAGES, NC_AXX_CALIBRATE_MAX, 0), NC_OK);
        assert_int_equal(nc_axx_graph_forward(g, pixels, IMAGES, z), NC_OK);
        if (getenv("NC_TEST_VERBOSE"))
            printf("%-40s int8 %.1e\n", "", error_of(z, member(of, "logits")));
        assert_true(error_of(z, member(of, "logits")) <= 0.1);
        assert_int_equal(nc_axx_graph_save(g, &file, &bytes, &err), NC_OK);
        other = swin_of(name, of, &c, 0);
        if (nc_axx_graph_load(other, file, bytes, &err) != NC_OK) fail_msg("%s", err.message);
        assert_int_equal(nc_axx_graph_forward(other, pixels, IMAGES, y), NC_OK);
        for (i = 0; i < IMAGES * c.classes; i++) assert_true(y[i] == z[i]);
        nc_axx_free_text(file);
        nc_axx_graph_destroy(g);
        nc_axx_graph_destroy(other);
        free(pixels);
    }
    json_object_put(all);
}

/* A file whose tensors have the prefix of data-parallel trainings. Free it. */
static char *prefixed(const char *data, size_t bytes, size_t *all) {
    const size_t header = (size_t)(uint8_t)data[0] | (size_t)(uint8_t)data[1] << 8;
    json_object *names = json_object_new_object(), *tensors = json_tokener_parse(data + 8);
    char *file, name[100];
    size_t n;
    json_object_object_foreach(tensors, key, value) {
        snprintf(name, sizeof name, "%s%s", key[0] == '_' ? "" : "module.", key);
        json_object_object_add(names, name, json_object_get(value));
    }
    n = strlen(json_object_to_json_string_ext(names, JSON_C_TO_STRING_PLAIN));
    *all = bytes - header + n;
    file = calloc(1, *all);
    file[0] = (char)(n & 255);
    file[1] = (char)(n >> 8);
    memcpy(file + 8, json_object_to_json_string_ext(names, JSON_C_TO_STRING_PLAIN), n);
    memcpy(file + 8 + n, data + 8 + header, bytes - 8 - header);
    json_object_put(names);
    json_object_put(tensors);
    return file;
}

static void swin_transformers_of_data_parallel_trainings_are_read(void **state) {
    json_object *all = load_json(VIT "swin.json");
    nc_axx_swin c, told;
    nc_axx_graph *g = swin_of("swin_shifted", member(all, "swin_shifted"), &c, 0);
    nc_axx_tensor w;
    nc_error err;
    size_t bytes;
    char *data = read_file("swin_shifted", &bytes), *file = prefixed(data, bytes, &bytes);
    float first;
    (void)state;
    memset(&told, 0, sizeof told);
    told.image = c.image;
    if (nc_axx_swin_describe(&told, file, bytes, &err) != NC_OK) fail_msg("%s", err.message);
    assert_memory_equal(&told, &c, sizeof c);
    assert_int_equal(nc_axx_graph_tensor(g, 0, &w), NC_OK);
    first = w.values[0];
    w.values[0] = 0;
    if (nc_axx_graph_load_swin(g, &c, file, bytes, &err) != NC_OK) fail_msg("%s", err.message);
    assert_true(w.values[0] == first);
    nc_axx_graph_destroy(g);
    nc_file_free(data);
    free(file);
    json_object_put(all);
}

/* What does not fit is refused by name; a transformer without windows is told from one with. */
static void swin_transformers_that_cannot_be_are_refused(void **state) {
    json_object *all = load_json(VIT "swin.json");
    nc_axx_net_config plain = {.batch = 1};
    nc_axx_swin c, wrong;
    nc_axx_graph *g = swin_of("swin_shifted", member(all, "swin_shifted"), &c, 0);
    nc_error err;
    size_t bytes;
    int i;
    char *data = read_file("swin_shifted", &bytes), *at;
    (void)state;
    assert_int_equal(nc_axx_net_describe(&plain, data, bytes, &err), NC_ERR_MISMATCH);
    assert_non_null(strstr(err.message, "nc_axx_swin_describe"));
    wrong = c;
    wrong.windows[1] = 2;
    assert_int_equal(nc_axx_graph_load_swin(g, &wrong, data, bytes, &err), NC_ERR_MISMATCH);
    assert_non_null(strstr(err.message, "layers.1.blocks.0.attn.relative_position_bias_table"));
    wrong = c;
    wrong.image = 20;
    assert_int_equal(nc_axx_graph_load_swin(g, &wrong, data, bytes, &err), NC_ERR_ARG);
    assert_non_null(strstr(err.message, "windows of 3"));
    wrong.image = 20;
    assert_int_equal(nc_axx_swin_describe(&wrong, data, bytes, &err), NC_ERR_ARG);
    for (i = 0; i < 3; i++) { /* patches whose double is 0 or 2 in 32 bits, and a wide one */
        static const uint32_t patches[3] = {0x80000000, 0x80000001, 4097};
        wrong = c;
        wrong.stages = 2;
        wrong.patch = patches[i];
        assert_int_equal(nc_axx_graph_load_swin(g, &wrong, data, bytes, &err), NC_ERR_ARG);
        assert_non_null(strstr(err.message, "no Swin transformer"));
    }
    wrong = c;
    wrong.image = 0;
    assert_int_equal(nc_axx_swin_describe(&wrong, data, bytes, &err), NC_OK);
    assert_int_equal(wrong.image, 12); /* the last stage is one window */
    at = strstr(data + 8, "layers.0.blocks.1.mlp.fc1.bias");
    memcpy(at, "layers.0.blocks.1.mlp.fc1.bios", 30);
    assert_int_equal(nc_axx_graph_load_swin(g, &c, data, bytes, &err), NC_ERR_MISMATCH);
    assert_non_null(strstr(err.message, "fc1.bios"));
    nc_file_free(data);
    data = read_file("vit_tiny_patch16_224", &bytes);
    assert_int_equal(nc_axx_swin_describe(&wrong, data, bytes, &err), NC_ERR_MISMATCH);
    assert_non_null(strstr(err.message, "no Swin transformer"));
    nc_file_free(data);
    nc_axx_graph_destroy(g);
    json_object_put(all);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(networks_of_timm_have_its_logits_and_gradients),
        cmocka_unit_test(files_tell_their_configuration),
        cmocka_unit_test(own_files_tell_all_of_their_configuration),
        cmocka_unit_test(options_that_a_file_contradicts_are_refused),
        cmocka_unit_test(rotary_transformers_are_refused_by_name),
        cmocka_unit_test(impossible_networks_are_described_by_name),
        cmocka_unit_test(own_networks_with_the_norms_of_rotary_ones_come_back),
        cmocka_unit_test(mixed_layers_have_the_logits_of_the_script),
        cmocka_unit_test(swin_transformers_have_the_logits_and_gradients_of_timm),
        cmocka_unit_test(swin_transformers_of_data_parallel_trainings_are_read),
        cmocka_unit_test(swin_transformers_that_cannot_be_are_refused),
    };
    return cmocka_run_group_tests_name("axx networks of timm", tests, NULL, NULL);
}
