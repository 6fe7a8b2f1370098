/* nc_axx.h, section graphs: every kind of node, and whole networks, against PyTorch (golden values:
   tests/golden_axx_graph.py), folding, modes and engines of each node, what is refused. */
#include "test.h"
#include <math.h>
#define NC_AXX_VIT
#include "../nc_axx.h"

static const char *const kinds[] = {
#define NAME(constant, name, least, most, least_axes, most_axes, plan, run) #name,
    NC_AXX_NODES(NAME)
#undef NAME
};

/* The values that stand for data in the golden file: tensor t of n values. */
static void formula(float *x, uint64_t t, size_t n) {
    size_t i;
    for (i = 0; i < n; i++)
        x[i] = (float)((int)((i * 7919 + t * 104729 + 17) % 2003) - 1001) / 1024.0f;
}

static int ends_with(const char *name, const char *ending) {
    const size_t n = strlen(name), m = strlen(ending);
    return n >= m && !strcmp(name + n - m, ending);
}

/* The weights of the golden file. */
static void fill(nc_axx_graph *g) {
    uint32_t t;
    size_t i;
    for (t = 0; t < nc_axx_graph_tensors(g); t++) {
        nc_axx_tensor w;
        float f = 0.25f;
        size_t fan = 1;
        assert_int_equal(nc_axx_graph_tensor(g, t, &w), NC_OK);
        formula(w.values, t, w.count);
        for (i = 1; i < w.rank; i++) fan *= (size_t)w.shape[i];
        if (w.rank > 1)
            for (f = 1.0f, i = 1; i < fan; i *= 4) f /= 2;
        for (i = 0; i < w.count; i++)
            if (ends_with(w.name, ".running_var"))
                w.values[i] = 1 + fabsf(w.values[i]) / 2;
            else if (w.rank == 1 && ends_with(w.name, ".weight"))
                w.values[i] = 1 + w.values[i] / 4;
            else
                w.values[i] *= f;
    }
}

static uint32_t number(json_object *node, const char *key) {
    json_object *value;
    if (!json_object_object_get_ex(node, key, &value)) return 0;
    return (uint32_t)json_object_get_int(value);
}

static uint32_t numbers(json_object *node, const char *key, uint32_t *to) {
    json_object *list;
    size_t i;
    if (!json_object_object_get_ex(node, key, &list)) return UINT32_MAX;
    for (i = 0; i < json_object_array_length(list); i++)
        to[i] = (uint32_t)json_object_get_int(json_object_array_get_idx(list, i));
    return (uint32_t)i;
}

static void add_described(nc_axx_graph *g, json_object *d) {
    uint32_t inputs[8], i;
    json_object *value;
    nc_axx_node n;
    nc_error err;
    memset(&n, 0, sizeof n);
    for (i = 0; strcmp(kinds[i], json_object_get_string(member(d, "kind"))) != 0;) i++;
    n.kind = (nc_axx_node_kind)i;
    if (json_object_object_get_ex(d, "name", &value)) n.name = json_object_get_string(value);
    n.input_count = numbers(d, "inputs", inputs);
    if (n.input_count != UINT32_MAX) n.inputs = inputs;
    n.out = number(d, "out");
    (void)numbers(d, "kernel", n.kernel);
    (void)numbers(d, "stride", n.stride);
    (void)numbers(d, "dilation", n.dilation);
    (void)numbers(d, "padding", n.padding);
    (void)numbers(d, "output_padding", n.output_padding);
    (void)numbers(d, "shape", n.shape);
    n.rank = number(d, "rank");
    n.same = (nc_axx_same)number(d, "same");
    n.groups = number(d, "groups");
    n.no_bias = number(d, "no_bias");
    n.by_columns = number(d, "by_columns");
    n.exclude_padding = number(d, "exclude_padding");
    n.axis = number(d, "axis");
    if (json_object_object_get_ex(d, "factor", &value))
        n.factor = (float)json_object_get_double(value);
    n.first = number(d, "first");
    if (json_object_object_get_ex(d, "least", &value))
        n.least = (float)json_object_get_double(value);
    if (json_object_object_get_ex(d, "most", &value)) n.most = (float)json_object_get_double(value);
    if (json_object_object_get_ex(d, "term", &value)) n.term = (float)json_object_get_double(value);
    if (json_object_object_get_ex(d, "eps", &value)) n.eps = (float)json_object_get_double(value);
    if (nc_axx_graph_add(g, &n, NULL, &err) != NC_OK) fail_msg("%s", err.message);
}

enum { IMAGES = 2 };

/* A case of the golden file: its graph with weights, images, and what comes out. */
typedef struct golden {
    const char *name;
    nc_axx_graph *g;
    float *x, *y;
    size_t pixels, values; /* of one image */
    json_object *entry;
} golden;

static size_t count_of(const nc_axx_graph *g, uint32_t node) {
    nc_axx_node_info info;
    size_t n = 1, i;
    assert_int_equal(nc_axx_graph_node(g, node, &info), NC_OK);
    for (i = 0; i < info.rank; i++) n *= info.shape[i];
    return n;
}

static void golden_open(golden *c, json_object *entry, uint32_t batch, int training) {
    json_object *nodes = member(entry, "nodes");
    nc_error err;
    size_t i;
    c->entry = entry;
    c->name = json_object_get_string(member(entry, "name"));
    assert_int_equal(nc_axx_graph_create(&c->g), NC_OK);
    for (i = 0; i < json_object_array_length(nodes); i++)
        add_described(c->g, json_object_array_get_idx(nodes, i));
    if (nc_axx_graph_finish(c->g, batch, training, &err) != NC_OK) fail_msg("%s", err.message);
    fill(c->g);
    c->pixels = count_of(c->g, 0);
    c->values = count_of(c->g, nc_axx_graph_nodes(c->g) - 1);
    c->x = malloc(IMAGES * c->pixels * sizeof *c->x);
    c->y = malloc(IMAGES * c->values * sizeof *c->y);
    formula(c->x, 999, IMAGES * c->pixels);
}

static void golden_close(golden *c) {
    free(c->x);
    free(c->y);
    nc_axx_graph_destroy(c->g);
}

static void forward(golden *c) {
    assert_int_equal(nc_axx_graph_forward(c->g, c->x, IMAGES, c->y), NC_OK);
}

/* The values under this key, within `share` of the largest. */
static void compare(const golden *c, const char *key, double share) {
    json_object *list = member(c->entry, key);
    double largest = 0;
    size_t i;
    assert_int_equal(json_object_array_length(list), IMAGES * c->values);
    for (i = 0; i < IMAGES * c->values; i++)
        largest = fmax(largest, fabs(json_object_get_double(json_object_array_get_idx(list, i))));
    for (i = 0; i < IMAGES * c->values; i++) {
        const double right = json_object_get_double(json_object_array_get_idx(list, i));
        if (!(fabs((double)c->y[i] - right) <= share * largest))
            fail_msg("%s, %s: value %zu is %.8g, not %.8g (%.2g of the largest)", c->name, key, i,
                     (double)c->y[i], right, fabs((double)c->y[i] - right) / largest);
    }
}

static json_object *golden_file(size_t *cases) {
    json_object *root = load_json(TEST_DATA "axx/graphs.json");
    *cases = json_object_array_length(member(root, "cases"));
    assert_true(*cases >= 34);
    return root;
}

static json_object *golden_case(json_object *root, size_t i) {
    return json_object_array_get_idx(member(root, "cases"), i);
}

static json_object *case_named(json_object *root, const char *name) {
    size_t i = 0;
    while (strcmp(json_object_get_string(member(golden_case(root, i), "name")), name) != 0) i++;
    return golden_case(root, i);
}

/* Within 1e-6 for one node and 1e-5 for networks; GELU's erf has an error of 2e-7. */
static void float_values_are_those_of_pytorch(void **state) {
    size_t cases, i;
    json_object *root = golden_file(&cases);
    (void)state;
    for (i = 0; i < cases; i++) {
        golden c;
        golden_open(&c, golden_case(root, i), IMAGES, 0);
        forward(&c);
        compare(&c, "y", nc_axx_graph_nodes(c.g) > 2 ? 1e-5 : 1e-6);
        golden_close(&c);
    }
    json_object_put(root);
}

static int is_quantised(json_object *entry) {
    json_object *value;
    return json_object_object_get_ex(entry, "fake", &value);
}

/* One node: within roundings. Networks: where a value of an earlier layer lies at the edge between
 * two integers, roundings decide, which later layers see. */
static void quantised_values_are_those_of_pytorch(void **state) {
    static const nc_axx_mode modes[] = {NC_AXX_MODE_FAKE, NC_AXX_MODE_INTEGER};
    size_t cases, i, k;
    json_object *root = golden_file(&cases);
    (void)state;
    for (i = 0; i < cases; i++) {
        golden c;
        if (!is_quantised(golden_case(root, i))) continue;
        golden_open(&c, golden_case(root, i), IMAGES, 0);
        assert_int_equal(nc_axx_graph_set_mode(c.g, UINT32_MAX, NC_AXX_MODE_FAKE), NC_OK);
        assert_int_equal(nc_axx_graph_forward(c.g, c.x, IMAGES, c.y), NC_ERR_ARG);
        assert_int_equal(nc_axx_graph_calibrate(c.g, c.x, IMAGES, NC_AXX_CALIBRATE_MAX, 0), NC_OK);
        for (k = 0; k < 2; k++) {
            assert_int_equal(nc_axx_graph_set_mode(c.g, UINT32_MAX, modes[k]), NC_OK);
            forward(&c);
            compare(&c, "fake", nc_axx_graph_nodes(c.g) > 2 ? 2e-3 : 1e-6);
        }
        golden_close(&c);
    }
    json_object_put(root);
}

/* A gradient of n values against its golden pair: product with formula(500 + t), norm. */
static void compare_gradient(const golden *c, const char *key, const char *what, uint32_t t,
                             const float *d, size_t n, double share) {
    json_object *list = member(c->entry, key);
    const double dot = json_object_get_double(json_object_array_get_idx(list, 2 * t));
    const double norm = json_object_get_double(json_object_array_get_idx(list, 2 * t + 1));
    const double most = share * (norm + 1e-3); /* of keys' biases it is 0: softmax ignores them */
    float *by = malloc(n * sizeof *by);
    double sum = 0, squares = 0, all = 0;
    size_t i;
    formula(by, 500 + t, n);
    for (i = 0; i < n; i++) {
        sum += (double)d[i] * (double)by[i];
        squares += (double)d[i] * (double)d[i];
        all += (double)by[i] * (double)by[i];
    }
    free(by);
    if (!(fabs(sqrt(squares) - norm) <= most) || !(fabs(sum - dot) <= most * sqrt(all)))
        fail_msg("%s, %s of %s: norm %.8g, not %.8g, product %.8g, not %.8g", c->name, key, what,
                 sqrt(squares), norm, sum, dot);
}

static void compare_gradients(golden *c, const char *key, double share) {
    float *dy = malloc(IMAGES * c->values * sizeof *dy), *dx = malloc(IMAGES * c->pixels * 4);
    nc_axx_tensor w;
    uint32_t t;
    formula(dy, 998, IMAGES * c->values);
    forward(c);
    for (t = 0; t < 2; t++) /* twice: nothing is left of the first time */
        assert_int_equal(nc_axx_graph_backward(c->g, dy, dx), NC_OK);
    compare_gradient(c, key, "the images", 0, dx, IMAGES * c->pixels, share);
    for (t = 0; t < nc_axx_graph_tensors(c->g); t++) {
        assert_int_equal(nc_axx_graph_tensor(c->g, t, &w), NC_OK);
        compare_gradient(c, key, w.name, t + 1, w.gradients, w.count, share);
    }
    assert_int_equal(json_object_array_length(member(c->entry, key)), 2 * t + 2);
    free(dy);
    free(dx);
}

/* In float32, and of one node with fake and integer operands, whose gradients are the same. */
static void gradients_are_those_of_pytorch(void **state) {
    size_t cases, i;
    json_object *root = golden_file(&cases);
    (void)state;
    for (i = 0; i < cases; i++) {
        golden c;
        float dy = 0;
        golden_open(&c, golden_case(root, i), IMAGES, 1);
        assert_int_equal(nc_axx_graph_backward(c.g, &dy, NULL), NC_ERR_ARG); /* of what? */
        compare_gradients(&c, "gradients", nc_axx_graph_nodes(c.g) > 2 ? 3e-5 : 2e-6);
        if (is_quantised(c.entry) && nc_axx_graph_nodes(c.g) == 2) {
            assert_int_equal(nc_axx_graph_calibrate(c.g, c.x, IMAGES, NC_AXX_CALIBRATE_MAX, 0),
                             NC_OK);
            assert_int_equal(nc_axx_graph_set_mode(c.g, 1, NC_AXX_MODE_FAKE), NC_OK);
            compare_gradients(&c, "fake_gradients", 2e-6);
            assert_int_equal(nc_axx_graph_set_mode(c.g, 1, NC_AXX_MODE_INTEGER), NC_OK);
            compare_gradients(&c, "fake_gradients", 2e-6);
        }
        golden_close(&c);
        golden_open(&c, golden_case(root, i), IMAGES, 0);
        forward(&c);
        assert_int_equal(nc_axx_graph_backward(c.g, c.y, NULL), NC_ERR_ARG); /* not for training */
        golden_close(&c);
    }
    json_object_put(root);
}

/* Folded networks give the same values, up to roundings, and have no norms behind their layers. */
static void folding_changes_roundings_only(void **state) {
    static const char *const names[] = {"resnet20", "mobilenet_v2", "transposed_norm", "branches"};
    static const uint32_t norms[] = {21, 52, 2, 0};
    size_t cases, i;
    json_object *root = golden_file(&cases);
    (void)state;
    for (i = 0; i < sizeof names / sizeof *names; i++) {
        uint32_t folded, t, before, left = 0;
        nc_axx_tensor w;
        golden c;
        golden_open(&c, case_named(root, names[i]), IMAGES, 0);
        before = nc_axx_graph_tensors(c.g);
        assert_int_equal(nc_axx_graph_fold(c.g, &folded), NC_OK);
        assert_int_equal(folded, norms[i]);
        for (t = 0; t < nc_axx_graph_tensors(c.g); t++) {
            assert_int_equal(nc_axx_graph_tensor(c.g, t, &w), NC_OK);
            left += ends_with(w.name, ".running_var");
        }
        assert_int_equal(left, i == 3 ? 1 : 0);
        /* four tensors of each norm go, and its bias stays where the layer has none of its own */
        assert_int_equal(before - nc_axx_graph_tensors(c.g), (i < 2 ? 3 : 4) * folded);
        forward(&c);
        compare(&c, "y", 1e-5);
        assert_int_equal(nc_axx_graph_fold(c.g, &folded), NC_OK);
        assert_int_equal(folded, 0);
        golden_close(&c);
    }
    json_object_put(root);
}

/* A batch of two at once, one by one, and in memory for more. */
static void batches_do_not_matter(void **state) {
    size_t cases, i;
    json_object *root = golden_file(&cases);
    (void)state;
    for (i = 0; i < cases; i++) {
        golden one, more;
        golden_open(&one, golden_case(root, i), 1, 0);
        golden_open(&more, golden_case(root, i), 5, 0);
        forward(&more);
        assert_int_equal(nc_axx_graph_forward(one.g, one.x, 1, one.y), NC_OK);
        assert_int_equal(nc_axx_graph_forward(one.g, one.x + one.pixels, 1, one.y + one.values),
                         NC_OK);
        assert_memory_equal(one.y, more.y, IMAGES * one.values * sizeof *one.y);
        assert_int_equal(nc_axx_graph_forward(one.g, one.x, 2, one.y), NC_ERR_LIMIT);
        golden_close(&one);
        golden_close(&more);
    }
    json_object_put(root);
}

/* Modes, bits and multipliers belong to a node: what one is given leaves the others. */
static void each_node_has_its_own_mode_bits_and_multiplier(void **state) {
    static nc_axx_mult m;
    size_t cases, i;
    uint32_t head, first, level;
    json_object *root = golden_file(&cases);
    nc_axx_engine *e;
    nc_axx_node_info info;
    float *one, *two;
    golden c;
    (void)state;
    golden_open(&c, case_named(root, "resnet20"), IMAGES, 0);
    head = nc_axx_graph_nodes(c.g) - 1;
    first = 1;
    one = malloc(IMAGES * c.values * sizeof *one);
    two = malloc(IMAGES * c.values * sizeof *two);
    assert_int_equal(nc_axx_make(&m, "truncated:6", NULL), NC_OK);
    assert_int_equal(nc_axx_engine_create(&e, &m), NC_OK);
    assert_int_equal(nc_axx_graph_calibrate(c.g, c.x, IMAGES, NC_AXX_CALIBRATE_MAX, 0), NC_OK);
    forward(&c);
    memcpy(one, c.y, IMAGES * c.values * sizeof *one);
    /* an engine counts in integer mode only */
    assert_int_equal(nc_axx_graph_assign(c.g, head, e), NC_OK);
    forward(&c);
    assert_memory_equal(one, c.y, IMAGES * c.values * sizeof *one);
    assert_int_equal(nc_axx_graph_set_mode(c.g, head, NC_AXX_MODE_INTEGER), NC_OK);
    assert_int_equal(nc_axx_graph_node(c.g, head, &info), NC_OK);
    assert_int_equal(info.mode, NC_AXX_MODE_INTEGER);
    assert_int_equal(nc_axx_graph_node(c.g, first, &info), NC_OK);
    assert_int_equal(info.mode, NC_AXX_MODE_FLOAT);
    for (level = 0; level < 3; level++) { /* the same on every instruction set */
        (void)nc_axx_set_simd((int)level);
        (void)nc_hlx_set_simd((int)level);
        forward(&c);
        if (level) assert_memory_equal(two, c.y, IMAGES * c.values * sizeof *two);
        memcpy(two, c.y, IMAGES * c.values * sizeof *two);
    }
    (void)nc_axx_set_simd(-1);
    (void)nc_hlx_set_simd(-1);
    assert_memory_not_equal(one, two, IMAGES * c.values * sizeof *one);
    for (i = 0; i < IMAGES * c.values; i++) assert_true(fabsf(one[i] - two[i]) < 0.3f);
    /* fewer bits are coarser; the bits are for calibration too */
    assert_int_equal(nc_axx_graph_assign(c.g, head, NULL), NC_OK);
    assert_int_equal(nc_axx_graph_set_bits(c.g, head, 3), NC_OK);
    forward(&c);
    assert_memory_not_equal(two, c.y, IMAGES * c.values * sizeof *two);
    assert_int_equal(nc_axx_graph_set_mode(c.g, head, NC_AXX_MODE_FLOAT), NC_OK);
    forward(&c);
    assert_memory_equal(one, c.y, IMAGES * c.values * sizeof *one);
    assert_int_equal(nc_axx_graph_set_bits(c.g, head, 9), NC_ERR_ARG);
    assert_int_equal(nc_axx_graph_set_mode(c.g, 2, NC_AXX_MODE_FAKE), NC_ERR_ARG); /* a norm */
    assert_int_equal(nc_axx_make(&m, "exact+unsigned", NULL), NC_OK);
    nc_axx_engine_destroy(e);
    assert_int_equal(nc_axx_engine_create(&e, &m), NC_OK);
    assert_int_equal(nc_axx_graph_assign(c.g, head, e), NC_ERR_ARG);
    nc_axx_engine_destroy(e);
    free(one);
    free(two);
    golden_close(&c);
    json_object_put(root);
}

/* Products and parameters of networks as their authors count them: ResNet-20 has 0.27 million
 * parameters (He et al., table 6; the shortcuts of option B are 2,752 of them), 41 million
 * products. */
static void networks_count_their_work(void **state) {
    size_t cases;
    json_object *root = golden_file(&cases);
    uint64_t macs = 0, parameters = 0;
    nc_axx_node_info info;
    uint32_t i;
    golden c;
    (void)state;
    golden_open(&c, case_named(root, "resnet20"), 1, 0);
    for (i = 0; i < nc_axx_graph_nodes(c.g); i++) {
        assert_int_equal(nc_axx_graph_node(c.g, i, &info), NC_OK);
        macs += info.macs;
        parameters += info.parameters;
    }
    /* 32^2 (27 16 + 6 144 16) + 16^2 (144 32 + 16 32 + 5 288 32) + 8^2 (288 64 + 32 64 + 5 576 64)
     * + 640, all of it products */
    assert_true(macs == 40813184);
    assert_true(parameters == 272474);
    assert_int_equal(nc_axx_graph_find(c.g, "node3"), 3);
    assert_true(nc_axx_graph_find(c.g, "node") == UINT32_MAX);
    golden_close(&c);
    json_object_put(root);
}

/* The shape of every node's products has its number of products. */
static void layers_of_graphs_have_the_shapes_of_their_products(void **state) {
    size_t cases, i;
    uint32_t number;
    json_object *root = golden_file(&cases);
    (void)state;
    for (i = 0; i < cases; i++) {
        golden c;
        golden_open(&c, golden_case(root, i), IMAGES, 0);
        for (number = 0; number < nc_axx_graph_nodes(c.g); number++) {
            nc_axx_node_info node;
            nc_axx_layer_info info;
            assert_int_equal(nc_axx_graph_node(c.g, number, &node), NC_OK);
            assert_int_equal(nc_axx_graph_layer(c.g, number, &info),
                             node.macs ? NC_OK : NC_ERR_ARG);
            if (!node.macs) continue;
            assert_int_equal(info.macs, node.macs);
            if (info.products * info.rows * info.columns * info.terms != info.macs)
                fail_msg("%s: %llu products", info.name, (unsigned long long)info.macs);
            assert_string_equal(info.name, node.name);
        }
        golden_close(&c);
    }
    json_object_put(root);
}

/* Nodes are set by patterns; a file keeps that, with the name of the multiplier. */
static void nodes_are_set_by_name_and_saved(void **state) {
    static nc_axx_mult m;
    nc_axx_layer_options o = {
        .mode = NC_AXX_MODE_INTEGER, .bits = 6, .per_tensor = 1, .weight_percent = 99.5};
    size_t cases, bytes;
    json_object *root = golden_file(&cases);
    nc_axx_layer_info info;
    nc_axx_engine *e;
    uint32_t count, head;
    golden a, b;
    nc_error err;
    char *data, *text, *at;
    float *y;
    (void)state;
    golden_open(&a, case_named(root, "resnet20"), IMAGES, 0);
    golden_open(&b, case_named(root, "resnet20"), IMAGES, 0);
    head = nc_axx_graph_nodes(a.g) - 1;
    assert_int_equal(nc_axx_graph_layer(a.g, head, &info), NC_OK);
    assert_int_equal(nc_axx_make(&m, "truncated:6", NULL), NC_OK);
    assert_int_equal(nc_axx_engine_create(&e, &m), NC_OK);
    assert_int_equal(nc_axx_graph_set(a.g, "*", &o, &count, &err), NC_OK);
    assert_true(count > 20);
    o.engine = e;
    o.bits = 0;
    assert_int_equal(nc_axx_graph_set(a.g, info.name, &o, &count, &err), NC_OK);
    assert_int_equal(count, 1);
    assert_int_equal(nc_axx_graph_set(a.g, "nosuch*", &o, &count, &err), NC_ERR_ARG);
    assert_non_null(strstr(err.message, "'nosuch*' fits no node"));
    o.bits = 1;
    assert_int_equal(nc_axx_graph_set(a.g, "*", &o, &count, &err), NC_ERR_ARG);
    assert_int_equal(nc_axx_graph_layer(a.g, head, &info), NC_OK);
    assert_int_equal(info.options.bits, 8);
    assert_string_equal(info.multiplier, m.name);
    assert_int_equal(nc_axx_graph_calibrate(a.g, a.x, IMAGES, NC_AXX_CALIBRATE_MAX, 0), NC_OK);
    forward(&a);
    assert_int_equal(nc_axx_graph_save(a.g, &data, &bytes, &err), NC_OK);
    if (nc_axx_graph_load(b.g, data, bytes, &err) != NC_OK) fail_msg("%s", err.message);
    y = malloc(IMAGES * b.values * sizeof *y);
    assert_int_equal(nc_axx_graph_forward(b.g, b.x, IMAGES, y), NC_ERR_ARG);
    assert_int_equal(nc_axx_graph_assign(b.g, head, e), NC_OK);
    assert_int_equal(nc_axx_graph_forward(b.g, b.x, IMAGES, y), NC_OK);
    assert_memory_equal(a.y, y, IMAGES * a.values * sizeof *y);
    assert_int_equal(nc_axx_graph_table(b.g, &text, &bytes), NC_OK);
    if (getenv("NC_TEST_VERBOSE")) printf("%s", text);
    assert_non_null(strstr(text, "tensor, percentile"));
    assert_non_null(strstr(text, m.name));
    nc_axx_free_text(text);
    nc_axx_free_text(data);
    assert_int_equal(nc_axx_graph_save(a.g, &data, &bytes, &err), NC_OK);
    at = strstr(data + 8, "\"layer.");
    at[1] = 'L';
    assert_int_equal(nc_axx_graph_load(b.g, data, bytes, &err), NC_ERR_MISMATCH);
    assert_non_null(strstr(err.message, "is missing"));
    nc_axx_free_text(data);
    nc_axx_engine_destroy(e);
    free(y);
    golden_close(&a);
    golden_close(&b);
    json_object_put(root);
}

/* Parameters and amax come back; what a file has too much or too little is named. */
static void graphs_survive_safetensors(void **state) {
    size_t cases, bytes, i;
    uint64_t seed = 1;
    json_object *root = golden_file(&cases);
    golden a, b;
    nc_error err;
    char *data, *at;
    (void)state;
    golden_open(&a, case_named(root, "branches"), IMAGES, 0);
    golden_open(&b, case_named(root, "branches"), IMAGES, 0);
    assert_int_equal(nc_axx_graph_calibrate(a.g, a.x, IMAGES, NC_AXX_CALIBRATE_MAX, 0), NC_OK);
    assert_int_equal(nc_axx_graph_save(a.g, &data, &bytes, &err), NC_OK);
    for (i = 0; i < nc_axx_graph_tensors(b.g); i++) {
        nc_axx_tensor w;
        assert_int_equal(nc_axx_graph_tensor(b.g, (uint32_t)i, &w), NC_OK);
        memset(w.values, 0, w.count * sizeof *w.values);
    }
    if (nc_axx_graph_load(b.g, data, bytes, &err) != NC_OK) fail_msg("%s", err.message);
    assert_int_equal(nc_axx_graph_set_mode(a.g, UINT32_MAX, NC_AXX_MODE_INTEGER), NC_OK);
    assert_int_equal(nc_axx_graph_set_mode(b.g, UINT32_MAX, NC_AXX_MODE_INTEGER), NC_OK);
    forward(&a);
    forward(&b);
    assert_memory_equal(a.y, b.y, IMAGES * a.values * sizeof *a.y);
    at = strstr(data + 8, "node1.bias");
    at[4] = '8'; /* node8, which has no bias */
    assert_int_equal(nc_axx_graph_load(b.g, data, bytes, &err), NC_ERR_MISMATCH);
    assert_non_null(strstr(err.message, "tensor 'node8.bias' has no place in this graph"));
    at[4] = '1';
    at = strstr(data + 8, "amax.node3");
    at[9] = '2'; /* a ReLU */
    assert_int_equal(nc_axx_graph_load(b.g, data, bytes, &err), NC_ERR_MISMATCH);
    assert_non_null(strstr(err.message, "'amax.node2' is of nothing that multiplies here"));
    at[9] = '3';
    at = strstr(data + 8, "node3.bias");
    at[4] = '1';
    assert_int_equal(nc_axx_graph_load(b.g, data, bytes, &err), NC_ERR_FORMAT);
    assert_non_null(strstr(err.message, "tensor 'node1.bias' stands there twice"));
    at[4] = '3';
    for (i = 0; i < bytes; i += 7)
        assert_int_not_equal(nc_axx_graph_load(b.g, data, i, &err), NC_OK);
    for (i = 0; i < 2000; i++) { /* hostile headers: an error or other numbers, no crash */
        char *one = data + (test_random(&seed) >> 16) % 800, old = *one;
        *one = (char)(test_random(&seed) >> 16);
        (void)nc_axx_graph_load(b.g, data, bytes, &err);
        *one = old;
    }
    golden_close(&b);
    golden_open(&b, case_named(root, "transposed_norm"), IMAGES, 0);
    assert_int_equal(nc_axx_graph_load(b.g, data, bytes, &err), NC_ERR_MISMATCH);
    nc_axx_free_text(data);
    golden_close(&a);
    golden_close(&b);
    json_object_put(root);
}

/* What PyTorch writes of a batch norm: its counter has no value for a graph. */
/* A norm's tensors as PyTorch saves them, their names behind a prefix. Free it. */
static char *norm_file(const char *prefix, size_t *bytes) {
    static const char *const names[] = {"weight", "bias", "running_mean", "running_var"};
    char *data = calloc(1, 1024);
    int n = 0, i;
    for (i = 0; i < 4; i++)
        n += sprintf(data + 8 + n,
                     "%c\"%snode1.%s\":{\"dtype\":\"F32\",\"shape\":[1],\"data_offsets\":[%d,%d]}",
                     i ? ',' : '{', prefix, names[i], 4 * i, 4 * i + 4);
    n += sprintf(data + 8 + n,
                 ",\"%snode1.num_batches_tracked\":"
                 "{\"dtype\":\"I64\",\"shape\":[],\"data_offsets\":[16,24]}}",
                 prefix);
    data[0] = (char)(n & 255);
    data[1] = (char)(n >> 8);
    memset(data + 8 + n, 0, 24);
    data[8 + n + 3] = 0x40; /* weight 2 */
    *bytes = 8 + (size_t)n + 24;
    return data;
}

/* The graph of such a file, not finished: a norm of one channel. */
static nc_axx_graph *norm_graph(const char *name) {
    nc_axx_node one;
    nc_axx_graph *g;
    nc_error err;
    memset(&one, 0, sizeof one);
    one.kind = NC_AXX_NODE_INPUT;
    one.rank = one.shape[0] = 1;
    assert_int_equal(nc_axx_graph_create(&g), NC_OK);
    assert_int_equal(nc_axx_graph_add(g, &one, NULL, &err), NC_OK);
    one.kind = NC_AXX_NODE_BATCH_NORM;
    one.name = name;
    assert_int_equal(nc_axx_graph_add(g, &one, NULL, &err), NC_OK);
    return g;
}

static void the_counter_of_a_norm_is_known(void **state) {
    size_t bytes;
    char *data = norm_file("", &bytes);
    nc_axx_graph *g = norm_graph(NULL);
    nc_error err;
    (void)state;
    assert_int_equal(nc_axx_graph_load(g, data, bytes, &err), NC_ERR_ARG); /* not finished */
    assert_int_equal(nc_axx_graph_finish(g, 1, 0, &err), NC_OK);
    if (nc_axx_graph_load(g, data, bytes, &err) != NC_OK) fail_msg("%s", err.message);
    strstr(data + 8, "num_batches")[0] = 'm';
    assert_int_equal(nc_axx_graph_load(g, data, bytes, &err), NC_ERR_MISMATCH);
    assert_non_null(strstr(err.message, "node1.mum_batches_tracked"));
    nc_axx_graph_destroy(g);
    free(data);
}

/* With "module." before the names in the file, in the graph (an exported one), in both, in none. */
static void prefixes_of_data_parallel_trainings_do_not_matter(void **state) {
    uint32_t i;
    (void)state;
    for (i = 0; i < 4; i++) {
        size_t bytes;
        char *data = norm_file(i & 1 ? "module." : "", &bytes);
        nc_axx_graph *g = norm_graph(i & 2 ? "module.node1" : "node1");
        nc_axx_tensor w;
        nc_error err;
        assert_int_equal(nc_axx_graph_finish(g, 1, 0, &err), NC_OK);
        if (nc_axx_graph_load(g, data, bytes, &err) != NC_OK) fail_msg("%s", err.message);
        assert_int_equal(nc_axx_graph_tensor(g, 0, &w), NC_OK);
        assert_true(w.values[0] == 2.0f);
        nc_axx_graph_destroy(g);
        free(data);
    }
}

static nc_axx_node node_of(nc_axx_node_kind kind) {
    nc_axx_node n;
    memset(&n, 0, sizeof n);
    n.kind = kind;
    return n;
}

/* -- depthwise convolutions: to the bit what they are defined as -- */

enum { DEPTHWISE_IMAGES = 3 };

typedef struct depthwise_case {
    uint32_t groups, each; /* channels of the larger map, and of the smaller for one of them */
    uint32_t h, w;         /* of the input */
    uint32_t kernel[2], stride[2], dilation[2], padding[4], transposed, output_padding[2];
} depthwise_case;

static const depthwise_case depthwise_cases[] = {
    {4, 1, 5, 7, {3, 3}, {1, 1}, {1, 1}, {1, 1, 1, 1}, 0, {0, 0}},
    {21, 1, 13, 17, {3, 3}, {2, 2}, {1, 1}, {0, 0, 1, 1}, 0, {0, 0}},
    {24, 1, 9, 6, {2, 5}, {1, 2}, {2, 1}, {2, 3, 0, 1}, 0, {0, 0}},
    {11, 3, 8, 12, {3, 2}, {3, 1}, {1, 3}, {0, 2, 2, 4}, 0, {0, 0}},
    {17, 2, 4, 4, {5, 5}, {1, 1}, {1, 1}, {2, 2, 2, 2}, 0, {0, 0}},
    {9, 1, 3, 2, {7, 7}, {1, 1}, {1, 1}, {6, 5, 3, 4}, 0, {0, 0}},
    {16, 1, 11, 10, {3, 3}, {4, 5}, {1, 1}, {0, 0, 0, 0}, 0, {0, 0}},   /* places that none reads */
    {6, 1, 12, 150, {11, 11}, {1, 1}, {1, 1}, {5, 5, 5, 5}, 0, {0, 0}}, /* 121 taps */
    {33, 1, 31, 45, {3, 3}, {1, 1}, {1, 1}, {1, 1, 1, 1}, 0, {0, 0}},   /* on several threads */
    {13, 1, 5, 6, {3, 3}, {2, 2}, {1, 1}, {1, 1, 1, 1}, 1, {1, 1}},
    {8, 3, 4, 7, {2, 3}, {2, 1}, {1, 2}, {0, 1, 1, 0}, 1, {0, 0}},
    {18, 2, 6, 3, {2, 2}, {3, 3}, {1, 1}, {0, 0, 0, 0}, 1, {2, 1}}};

/* The maps' sizes. */
typedef struct depthwise_maps {
    const depthwise_case *c;
    size_t small_h, small_w, large_h, large_w, small, large, taps;
} depthwise_maps;

/* The place of the larger map (of one channel) that a place of the smaller reads a tap from, or
 * SIZE_MAX beyond its edge. */
static size_t tap_at(const depthwise_maps *m, size_t place, size_t tap) {
    const depthwise_case *c = m->c;
    const size_t y = place / m->small_w * c->stride[0] + tap / c->kernel[1] * c->dilation[0];
    const size_t x = place % m->small_w * c->stride[1] + tap % c->kernel[1] * c->dilation[1];
    if (y < c->padding[0] || y - c->padding[0] >= m->large_h) return SIZE_MAX;
    if (x < c->padding[1] || x - c->padding[1] >= m->large_w) return SIZE_MAX;
    return (y - c->padding[0]) * m->large_w + x - c->padding[1];
}

/* small, of one image and group, goes on with a chain over the taps. */
static void gathered(const depthwise_maps *m, const float *large, const float *w, float *small) {
    const size_t places = m->small_h * m->small_w;
    size_t i, tap;
    for (i = 0; i < places * m->c->each; i++)
        for (tap = 0; tap < m->taps; tap++) {
            const size_t at = tap_at(m, i % places, tap);
            small[i] =
                fmaf(w[i / places * m->taps + tap], at == SIZE_MAX ? 0.0f : large[at], small[i]);
        }
}

/* large += for tap after tap what the places add there, each a chain over the smaller channels. */
static void scattered(const depthwise_maps *m, float *large, const float *w, const float *small) {
    const size_t places = m->small_h * m->small_w;
    size_t i, tap, k;
    for (tap = 0; tap < m->taps; tap++)
        for (i = 0; i < places; i++) {
            const size_t at = tap_at(m, i, tap);
            float sum = 0;
            for (k = 0; k < m->c->each; k++)
                sum = fmaf(w[k * m->taps + tap], small[k * places + i], sum);
            if (at != SIZE_MAX) large[at] += sum;
        }
}

/* dw goes on with a chain over the places. */
static void weighed(const depthwise_maps *m, const float *large, float *dw, const float *small) {
    const size_t places = m->small_h * m->small_w;
    size_t i, tap;
    for (i = 0; i < places * m->c->each; i++)
        for (tap = 0; tap < m->taps; tap++) {
            const size_t at = tap_at(m, i % places, tap);
            float *to = &dw[i / places * m->taps + tap];
            *to = fmaf(small[i], at == SIZE_MAX ? 0.0f : large[at], *to);
        }
}

/* Input, two depthwise convolutions of it, and their sum, so that gradients come on gradients. */
static nc_axx_graph *depthwise_graph(const depthwise_case *c) {
    const uint32_t input = 0, both[2] = {1, 2};
    nc_axx_node n = node_of(NC_AXX_NODE_INPUT);
    nc_axx_graph *g;
    nc_error err;
    int i;
    assert_int_equal(nc_axx_graph_create(&g), NC_OK);
    n.rank = 3;
    n.shape[0] = c->groups * (c->transposed ? c->each : 1);
    n.shape[1] = c->h;
    n.shape[2] = c->w;
    assert_int_equal(nc_axx_graph_add(g, &n, NULL, &err), NC_OK);
    n = node_of(c->transposed ? NC_AXX_NODE_CONV2D_TRANSPOSED : NC_AXX_NODE_CONV2D);
    n.out = c->groups * (c->transposed ? 1 : c->each);
    n.groups = c->groups;
    n.no_bias = 1;
    n.inputs = &input;
    n.input_count = 1;
    memcpy(n.kernel, c->kernel, sizeof n.kernel);
    memcpy(n.stride, c->stride, sizeof n.stride);
    memcpy(n.dilation, c->dilation, sizeof n.dilation);
    memcpy(n.padding, c->padding, sizeof n.padding);
    memcpy(n.output_padding, c->output_padding, sizeof n.output_padding);
    for (i = 0; i < 2; i++)
        if (nc_axx_graph_add(g, &n, NULL, &err) != NC_OK) fail_msg("%s", err.message);
    n = node_of(NC_AXX_NODE_ADD);
    n.inputs = both;
    n.input_count = 2;
    assert_int_equal(nc_axx_graph_add(g, &n, NULL, &err), NC_OK);
    if (nc_axx_graph_finish(g, DEPTHWISE_IMAGES, 1, &err) != NC_OK) fail_msg("%s", err.message);
    return g;
}

/* Values of all sizes, some of them zeros of both signs and so small that products vanish. */
static float *depthwise_values(size_t n, uint64_t seed) {
    float *x = malloc(n * sizeof *x);
    size_t i;
    for (i = 0; i < n; i++) {
        const uint64_t r = test_random(&seed) >> 20;
        x[i] = (float)((int)(r & 4095) - 2048) / 1024.0f;
        if ((r >> 12 & 15) == 0) x[i] = r >> 16 & 1 ? 0.0f : -0.0f;
        if ((r >> 12 & 15) < 3) x[i] *= 1e-24f;
    }
    return x;
}

/* What is expected: y, dx, dw of both, from x, w of both and dy. */
static void depthwise_expect(const depthwise_maps *m, const float *x, float *const w[2],
                             const float *dy, float *y, float *dx, float *const dw[2]) {
    const size_t small = m->small * m->c->each, large = m->large;
    const size_t in = m->c->transposed ? small : large, out = m->c->transposed ? large : small;
    const size_t each = m->c->each * m->taps;
    float *one = malloc(out * sizeof *one);
    size_t i, k;
    int conv;
    for (i = 0; i < DEPTHWISE_IMAGES * m->c->groups; i++)
        for (conv = 1; conv >= 0; conv--) {
            const size_t group = i % m->c->groups;
            const float *weights = w[conv] + group * each;
            memset(one, 0, out * sizeof *one);
            if (m->c->transposed) {
                scattered(m, one, weights, x + i * in);
                weighed(m, dy + i * out, dw[conv] + group * each, x + i * in);
                gathered(m, dy + i * out, weights, dx + i * in);
            } else {
                gathered(m, x + i * in, weights, one);
                weighed(m, x + i * in, dw[conv] + group * each, dy + i * out);
                scattered(m, dx + i * in, weights, dy + i * out);
            }
            for (k = 0; k < out; k++) y[i * out + k] = conv ? one[k] : one[k] + y[i * out + k];
        }
    free(one);
}

static void depthwise_case_is_exact(size_t number, int level) {
    const depthwise_case *c = &depthwise_cases[number];
    nc_axx_graph *g = depthwise_graph(c);
    const size_t in = DEPTHWISE_IMAGES * count_of(g, 0), out = DEPTHWISE_IMAGES * count_of(g, 3);
    float *x = depthwise_values(in, number), *dy = depthwise_values(out, number + 100);
    float *y = malloc(out * 4), *dx = malloc(in * 4);
    float *want_y = malloc(out * 4), *want_dx = calloc(in, 4), *w[2], *want_dw[2];
    nc_axx_node_info info;
    nc_axx_tensor t[2];
    depthwise_maps m;
    uint32_t i;
    m.c = c;
    assert_int_equal(nc_axx_graph_node(g, 1, &info), NC_OK);
    m.small_h = c->transposed ? c->h : info.shape[1];
    m.small_w = c->transposed ? c->w : info.shape[2];
    m.large_h = c->transposed ? info.shape[1] : c->h;
    m.large_w = c->transposed ? info.shape[2] : c->w;
    m.small = m.small_h * m.small_w;
    m.large = m.large_h * m.large_w;
    m.taps = c->kernel[0] * c->kernel[1];
    for (i = 0; i < 2; i++) {
        assert_int_equal(nc_axx_graph_tensor(g, i, &t[i]), NC_OK);
        w[i] = depthwise_values(t[i].count, number + 200 + i);
        memcpy(t[i].values, w[i], t[i].count * 4);
        want_dw[i] = calloc(t[i].count, 4);
    }
    depthwise_expect(&m, x, w, dy, want_y, want_dx, want_dw);
    for (i = 0; i < 2; i++) { /* twice: nothing is left of the first time */
        assert_int_equal(nc_axx_graph_forward(g, x, DEPTHWISE_IMAGES, y), NC_OK);
        assert_int_equal(nc_axx_graph_backward(g, dy, dx), NC_OK);
    }
    if (memcmp(y, want_y, out * 4))
        fail_msg("values of case %u, level %d", (unsigned)number, level);
    if (memcmp(dx, want_dx, in * 4))
        fail_msg("gradient of the input of case %u, level %d", (unsigned)number, level);
    for (i = 0; i < 2; i++) {
        if (memcmp(t[i].gradients, want_dw[i], t[i].count * 4))
            fail_msg("gradient of the weights of case %u, level %d", (unsigned)number, level);
        free(w[i]);
        free(want_dw[i]);
    }
    free(x);
    free(dy);
    free(y);
    free(dx);
    free(want_y);
    free(want_dx);
    nc_axx_graph_destroy(g);
}

/* Odd sizes, strides, dilations, padding at one end, on every level and with threads to spare. */
static void depthwise_convolutions_are_chains_in_their_order(void **state) {
    size_t i;
    int level;
#ifdef _OPENMP
    const int threads = omp_get_max_threads();
#endif
    (void)state;
    for (level = 0; level < 3 && nc_axx_set_simd(level) == level; level++)
        for (i = 0; i < sizeof depthwise_cases / sizeof *depthwise_cases; i++) {
#ifdef _OPENMP
            omp_set_num_threads(i % 2 ? 1 : 3);
#endif
            depthwise_case_is_exact(i, level);
        }
    (void)nc_axx_set_simd(-1);
#ifdef _OPENMP
    omp_set_num_threads(threads);
#endif
}

/* An input and a depthwise layer of it, with its values made flat by a node without memory. */
static nc_axx_graph *integer_graph(size_t channels, size_t size, int training) {
    nc_axx_node n = node_of(NC_AXX_NODE_INPUT);
    nc_axx_graph *g;
    nc_error err;
    int i;
    assert_int_equal(nc_axx_graph_create(&g), NC_OK);
    n.rank = 3;
    n.shape[0] = (uint32_t)channels;
    n.shape[1] = n.shape[2] = (uint32_t)size;
    assert_int_equal(nc_axx_graph_add(g, &n, NULL, &err), NC_OK);
    n = node_of(NC_AXX_NODE_CONV2D);
    n.out = n.groups = (uint32_t)channels;
    n.no_bias = 1;
    for (i = 0; i < 4; i++) {
        n.kernel[i % 2] = 3;
        n.stride[i % 2] = 1;
        n.padding[i] = 1;
    }
    assert_int_equal(nc_axx_graph_add(g, &n, NULL, &err), NC_OK);
    n = node_of(NC_AXX_NODE_RESHAPE);
    n.rank = 1;
    n.shape[0] = (uint32_t)(channels * size * size);
    assert_int_equal(nc_axx_graph_add(g, &n, NULL, &err), NC_OK);
    if (nc_axx_graph_finish(g, DEPTHWISE_IMAGES, training, &err) != NC_OK)
        fail_msg("%s", err.message);
    assert_int_equal(nc_axx_graph_init(g, 3), NC_OK);
    return g;
}

/* Quantised on the way or before it, with the images and values where they are or copied, over one
 * another too: the same bits. */
static void depthwise_layers_of_integers_are_quantised_as_others(void **state) {
    enum { CHANNELS = 5, SIZE = 13, N = DEPTHWISE_IMAGES * CHANNELS * SIZE * SIZE };
    static nc_axx_mult m;
    const nc_axx_conv shape = {
        DEPTHWISE_IMAGES, CHANNELS, SIZE, SIZE, CHANNELS, 3, 3, 1, 1, 1, 1, 1, 1, CHANNELS, 0, 0};
    float *x = depthwise_values(N, 9), *want = malloc(N * 4), *y = malloc(2 * N * 4);
    float scales[CHANNELS];
    int8_t q[N], w[CHANNELS * 9];
    size_t bytes, c;
    int training, shift;
    (void)state;
    for (training = 0; training < 2; training++) {
        nc_axx_graph *g = integer_graph(CHANNELS, SIZE, training);
        nc_axx_layer_info info;
        nc_axx_engine *e;
        nc_axx_tensor t;
        void *work;
        x[N - 1] = NAN;
        x[N - 2] = 3e38f;
        assert_int_equal(nc_axx_make(&m, "mitchell", NULL), NC_OK);
        assert_int_equal(nc_axx_engine_create(&e, &m), NC_OK);
        assert_int_equal(nc_axx_graph_calibrate(g, x, 1, NC_AXX_CALIBRATE_MAX, 0), NC_OK);
        assert_int_equal(nc_axx_graph_set_mode(g, 1, NC_AXX_MODE_INTEGER), NC_OK);
        assert_int_equal(nc_axx_graph_assign(g, 1, e), NC_OK);
        assert_int_equal(nc_axx_graph_layer(g, 1, &info), NC_OK);
        assert_int_equal(nc_axx_graph_tensor(g, 0, &t), NC_OK);
        for (c = 0; c < CHANNELS; c++)
            nc_axx_quantize_rows(w + 9 * c, scales + c, t.values + 9 * c, 1, 9, 8);
        nc_axx_quantize(q, x, N, nc_axx_scale(info.amax[0], 8), 8);
        work = malloc(bytes = nc_axx_conv_work_bytes(e, &shape));
        assert_int_equal(nc_axx_conv2d(e, &shape, q, nc_axx_scale(info.amax[0], 8), w, scales, NULL,
                                       want, work, bytes),
                         NC_OK);
        for (shift = -7; shift <= N; shift += N + 7) { /* beside the images, then within them */
            float *from = shift < 0 ? x : y + 7;
            memcpy(y + 7, x, N * 4);
            assert_int_equal(nc_axx_graph_forward(g, from, DEPTHWISE_IMAGES, y), NC_OK);
            assert_memory_equal(y, want, N * 4);
        }
        free(work);
        nc_axx_engine_destroy(e);
        nc_axx_graph_destroy(g);
    }
    free(x);
    free(y);
    free(want);
}

/* A node that cannot be, and words of the message. */
static void refuse(nc_axx_graph *g, const nc_axx_node *n, nc_status status, const char *words) {
    const uint32_t before = nc_axx_graph_nodes(g);
    nc_error err;
    assert_int_equal(nc_axx_graph_add(g, n, NULL, &err), status);
    assert_int_equal(err.status, status);
    if (!strstr(err.message, words)) fail_msg("'%s' lacks '%s'", err.message, words);
    assert_int_equal(nc_axx_graph_nodes(g), before);
}

static void impossible_nodes_are_refused_by_name(void **state) {
    const uint32_t both[] = {0, 1}, wrong[] = {7};
    nc_axx_graph *g;
    nc_axx_node n = node_of(NC_AXX_NODE_RELU);
    nc_error err;
    (void)state;
    assert_int_equal(nc_axx_graph_create(&g), NC_OK);
    assert_int_equal(nc_axx_graph_finish(g, 1, 0, &err), NC_ERR_ARG);
    refuse(g, &n, NC_ERR_ARG, "is the input");
    n = node_of(NC_AXX_NODE_INPUT);
    refuse(g, &n, NC_ERR_ARG, "shape of 0 axes");
    n.rank = 3;
    n.shape[0] = n.shape[1] = 8;
    refuse(g, &n, NC_ERR_ARG, "axis 2 of 0 places");
    n.shape[0] = n.shape[1] = n.shape[2] = 1 << 24;
    refuse(g, &n, NC_ERR_LIMIT, "2^31");
    n.shape[0] = n.shape[1] = n.shape[2] = 6;
    assert_int_equal(nc_axx_graph_add(g, &n, NULL, &err), NC_OK);
    refuse(g, &n, NC_ERR_ARG, "is the input");
    n = node_of(NC_AXX_NODE_CONV2D);
    n.name = "stem";
    refuse(g, &n, NC_ERR_ARG, "node 'stem': 1 groups of 6 channels to 0");
    n.out = 4;
    refuse(g, &n, NC_ERR_LIMIT, "kernel 0");
    n.kernel[0] = n.kernel[1] = 3;
    n.groups = 4;
    refuse(g, &n, NC_ERR_ARG, "4 groups of 6 channels");
    n.groups = 0;
    n.output_padding[0] = 1;
    refuse(g, &n, NC_ERR_ARG, "output padding");
    n.output_padding[0] = 0;
    n.same = NC_AXX_SAME_UPPER;
    n.padding[3] = 1;
    refuse(g, &n, NC_ERR_ARG, "both given and 'same'");
    n.padding[3] = 0;
    n.same = (nc_axx_same)3;
    refuse(g, &n, NC_ERR_ARG, "'same' number 3");
    n.same = NC_AXX_SAME_NONE;
    n.kernel[1] = 7;
    refuse(g, &n, NC_ERR_ARG, "6 x 6 by a kernel of 3 x 7");
    n.kernel[1] = 3;
    assert_int_equal(nc_axx_graph_add(g, &n, NULL, &err), NC_OK);
    refuse(g, &n, NC_ERR_ARG, "name is taken");
    n.kind = NC_AXX_NODE_CONV2D_TRANSPOSED;
    n.same = NC_AXX_SAME_UPPER;
    n.name = "up";
    refuse(g, &n, NC_ERR_ARG, "transposed");
    n.name = "a name of more than the sixty-three letters that names of nodes have";
    refuse(g, &n, NC_ERR_ARG, "a name of 68 characters");
    n = node_of(NC_AXX_NODE_ADD);
    refuse(g, &n, NC_ERR_ARG, "1 inputs, where add takes 2 to 2");
    n.inputs = both;
    n.input_count = 2;
    refuse(g, &n, NC_ERR_ARG, "'node0' and 'stem' differ in shape");
    n.kind = NC_AXX_NODE_MATMUL;
    refuse(g, &n, NC_ERR_ARG, "differ before their last two axes");
    n.kind = NC_AXX_NODE_CONCAT;
    n.axis = 3;
    refuse(g, &n, NC_ERR_ARG, "axis 3 of inputs of 3 axes");
    n.axis = 1;
    refuse(g, &n, NC_ERR_ARG, "differ in another axis");
    n = node_of(NC_AXX_NODE_RELU);
    n.inputs = wrong;
    n.input_count = 1;
    refuse(g, &n, NC_ERR_ARG, "input 7 is no earlier node");
    n = node_of(NC_AXX_NODE_RESHAPE);
    n.rank = 1;
    n.shape[0] = 65;
    refuse(g, &n, NC_ERR_ARG, "a shape of 65 values for an input of 64");
    n = node_of(NC_AXX_NODE_PERMUTE);
    n.rank = 3;
    refuse(g, &n, NC_ERR_ARG, "taken twice");
    n = node_of(NC_AXX_NODE_MAX_POOL);
    n.kernel[0] = n.kernel[1] = 2;
    n.padding[2] = 2;
    refuse(g, &n, NC_ERR_ARG, "padding 2, not below the kernel's 2");
    n.padding[2] = 0;
    n.dilation[1] = 2;
    refuse(g, &n, NC_ERR_UNSUPPORTED, "dilation of a pool");
    n = node_of(NC_AXX_NODE_SLICE);
    refuse(g, &n, NC_ERR_ARG, "0 places from 0 on of axis 0");
    n.axis = 1;
    n.first = 2;
    n.out = 3;
    refuse(g, &n, NC_ERR_ARG, "3 places from 2 on of axis 1");
    n = node_of(NC_AXX_NODE_PAD);
    n.axis = 1;
    n.first = 2;
    n.out = 3;
    refuse(g, &n, NC_ERR_ARG, "axis 1 is no part of 3 places from 2 on");
    n.out = 9;
    n.term = INFINITY;
    refuse(g, &n, NC_ERR_ARG, "a term beyond 1e30");
    n = node_of(NC_AXX_NODE_CLIP);
    refuse(g, &n, NC_ERR_ARG, "least is 0, not below most, 0");
    n = node_of(NC_AXX_NODE_SCALE);
    n.term = NAN;
    refuse(g, &n, NC_ERR_ARG, "beyond 1e30");
    n = node_of(NC_AXX_NODE_LINEAR);
    refuse(g, &n, NC_ERR_ARG, "0 columns");
    n = node_of(NC_AXX_NODE_LAYER_NORM);
    n.eps = -1.0f;
    refuse(g, &n, NC_ERR_ARG, "eps -1");
    n = node_of(NC_AXX_NODE_KINDS);
    refuse(g, &n, NC_ERR_ARG, "kind of node 31 is unknown");
    n = node_of(NC_AXX_NODE_FLATTEN);
    assert_int_equal(nc_axx_graph_add(g, &n, NULL, &err), NC_OK);
    n = node_of(NC_AXX_NODE_CONV2D);
    refuse(g, &n, NC_ERR_ARG, "'node2' has 1 axes, where conv2d takes 3 to 3");
    n = node_of(NC_AXX_NODE_RELU);
    n.inputs = both;
    n.input_count = 1;
    assert_int_equal(nc_axx_graph_add(g, &n, NULL, &err), NC_OK);
    assert_int_equal(nc_axx_graph_fold(g, NULL), NC_ERR_ARG);
    assert_int_equal(nc_axx_graph_finish(g, 0, 0, &err), NC_ERR_ARG);
    assert_int_equal(nc_axx_graph_finish(g, 1, 0, &err), NC_ERR_ARG); /* of node2 */
    assert_non_null(strstr(err.message, "node 'node2': nothing uses its values"));
    nc_axx_graph_destroy(g);
    nc_axx_graph_destroy(NULL);
}

/* Four steps on both images as one batch: of PyTorch's optimisers, with clipping, by the batch's
 * statistics and through fake operands. */
static void trainings_are_those_of_pytorch(void **state) {
    static const uint32_t labels[IMAGES] = {2, 0};
    size_t cases, i;
    json_object *root = golden_file(&cases), *list = member(root, "trainings"), *value;
    (void)state;
    assert_int_equal(json_object_array_length(list), 6);
    for (i = 0; i < 6; i++) {
        json_object *entry = json_object_array_get_idx(list, i), *how = member(entry, "how");
        const int fake = json_object_object_get_ex(how, "fake", &value);
        nc_axx_training t;
        nc_axx_images images;
        nc_axx_tensor w;
        uint32_t k;
        golden c;
        memset(&t, 0, sizeof t);
        t.epochs = 4;
        t.sgd = number(how, "sgd");
        t.lr = (float)json_object_get_double(member(how, "lr"));
        if (json_object_object_get_ex(how, "momentum", &value))
            t.momentum = (float)json_object_get_double(value);
        if (json_object_object_get_ex(how, "weight_decay", &value))
            t.weight_decay = (float)json_object_get_double(value);
        if (json_object_object_get_ex(how, "clip_norm", &value))
            t.clip_norm = (float)json_object_get_double(value);
        golden_open(&c, entry, IMAGES, 1);
        images.pixels = c.x;
        images.labels = labels;
        images.count = IMAGES;
        if (fake) {
            assert_int_equal(nc_axx_graph_calibrate(c.g, c.x, IMAGES, NC_AXX_CALIBRATE_MAX, 0),
                             NC_OK);
            assert_int_equal(nc_axx_graph_set_mode(c.g, UINT32_MAX, NC_AXX_MODE_FAKE), NC_OK);
        }
        assert_int_equal(nc_axx_graph_set_statistics(c.g, (int)number(how, "by_batch")), NC_OK);
        assert_int_equal(nc_axx_graph_train(c.g, &images, &t), NC_OK);
        for (k = 0; k < nc_axx_graph_tensors(c.g); k++) {
            assert_int_equal(nc_axx_graph_tensor(c.g, k, &w), NC_OK);
            compare_gradient(&c, "parameters", w.name, k, w.values, w.count, fake ? 1e-4 : 1e-5);
        }
        golden_close(&c);
    }
    json_object_put(root);
}

/* Four classes of images, each with a stripe of its own place and direction, in noise. */
static void stripes(float *x, uint32_t *labels, size_t count, uint64_t seed) {
    size_t i, k;
    for (i = 0; i < count; i++) {
        const size_t at = (size_t)(test_random(&seed) >> 20) % 8;
        labels[i] = (uint32_t)(test_random(&seed) >> 20) % 4;
        for (k = 0; k < 64; k++) {
            const size_t place = labels[i] & 1 ? k % 8 : k / 8;
            x[i * 64 + k] = (float)((int)(test_random(&seed) >> 20 & 1023) - 512) / 1024.0f;
            if (place == at || ((labels[i] & 2) && place == (at + 2) % 8)) x[i * 64 + k] += 1.0f;
        }
    }
}

static nc_axx_graph *striped_network(void) {
    nc_axx_node n = node_of(NC_AXX_NODE_INPUT);
    nc_axx_graph *g;
    nc_error err;
    uint32_t i;
    assert_int_equal(nc_axx_graph_create(&g), NC_OK);
    n.rank = 3;
    n.shape[0] = 1;
    n.shape[1] = n.shape[2] = 8;
    assert_int_equal(nc_axx_graph_add(g, &n, NULL, &err), NC_OK);
    for (i = 0; i < 3; i++) {
        n = node_of(NC_AXX_NODE_CONV2D);
        n.out = 12;
        n.kernel[0] = n.kernel[1] = 3;
        n.padding[0] = n.padding[1] = n.padding[2] = n.padding[3] = 1;
        n.groups = i == 1 ? 12 : 1;
        n.no_bias = 1;
        assert_int_equal(nc_axx_graph_add(g, &n, NULL, &err), NC_OK);
        n = node_of(NC_AXX_NODE_BATCH_NORM);
        assert_int_equal(nc_axx_graph_add(g, &n, NULL, &err), NC_OK);
        n = node_of(NC_AXX_NODE_RELU6);
        assert_int_equal(nc_axx_graph_add(g, &n, NULL, &err), NC_OK);
    }
    n = node_of(NC_AXX_NODE_GLOBAL_MEAN_POOL);
    assert_int_equal(nc_axx_graph_add(g, &n, NULL, &err), NC_OK);
    n = node_of(NC_AXX_NODE_FLATTEN);
    assert_int_equal(nc_axx_graph_add(g, &n, NULL, &err), NC_OK);
    n = node_of(NC_AXX_NODE_LINEAR);
    n.out = 4;
    assert_int_equal(nc_axx_graph_add(g, &n, NULL, &err), NC_OK);
    if (nc_axx_graph_finish(g, 32, 1, &err) != NC_OK) fail_msg("%s", err.message);
    return g;
}

/* Float, folded, calibrated, exact integers, a multiplier that spoils it, and trained with that. */
static void a_network_is_trained_and_recovers_from_its_multiplier(void **state) {
    enum { COUNT = 160 };
    static float x[2 * COUNT * 64];
    static uint32_t labels[2 * COUNT];
    static nc_axx_mult m;
    const nc_axx_images train = {x, labels, COUNT}, test = {x + COUNT * 64, labels + COUNT, COUNT};
    nc_axx_training how;
    nc_axx_engine *e;
    nc_axx_score score[4];
    nc_axx_graph *g = striped_network();
    (void)state;
#ifdef _OPENMP
    omp_set_num_threads(1); /* threads cost more than such small products */
#endif
    stripes(x, labels, 2 * COUNT, 3);
    memset(score, 0, sizeof score);
    memset(&how, 0, sizeof how);
    how.epochs = 16;
    how.sgd = 1;
    how.lr = 0.1f;
    how.cosine = 1;
    how.clip_norm = 1.0f;
    assert_int_equal(nc_axx_graph_init(g, 1), NC_OK);
    assert_int_equal(nc_axx_graph_set_statistics(g, 1), NC_OK);
    assert_int_equal(nc_axx_graph_train(g, &train, &how), NC_OK);
    assert_int_equal(nc_axx_graph_set_statistics(g, 0), NC_OK);
    assert_int_equal(nc_axx_graph_evaluate(g, &test, &score[0]), NC_OK);
    assert_true(score[0].top1 > 0.95 && score[0].top5 == 1.0);
    assert_int_equal(nc_axx_graph_fold(g, NULL), NC_OK);
    assert_int_equal(nc_axx_graph_calibrate(g, x, COUNT, NC_AXX_CALIBRATE_MAX, 0), NC_OK);
    assert_int_equal(nc_axx_graph_set_mode(g, UINT32_MAX, NC_AXX_MODE_INTEGER), NC_OK);
    assert_int_equal(nc_axx_graph_evaluate(g, &test, &score[1]), NC_OK);
    assert_true(score[1].top1 > score[0].top1 - 0.03);
    assert_int_equal(nc_axx_make(&m, "truncated:9", NULL), NC_OK);
    assert_int_equal(nc_axx_engine_create(&e, &m), NC_OK);
    assert_int_equal(nc_axx_graph_assign(g, UINT32_MAX, e), NC_OK);
    assert_int_equal(nc_axx_graph_evaluate(g, &test, &score[2]), NC_OK);
    how.epochs = 10;
    how.lr = 0.03f;
    how.progressive = 1;
    assert_int_equal(nc_axx_graph_train(g, &train, &how), NC_OK);
    assert_int_equal(nc_axx_graph_evaluate(g, &test, &score[3]), NC_OK);
    if (!(score[2].top1 < score[1].top1 - 0.1 && score[3].top1 > score[1].top1 - 0.05))
        fail_msg("float %.3f, int8 %.3f, truncated %.3f, retrained %.3f", score[0].top1,
                 score[1].top1, score[2].top1, score[3].top1);
    how.shift = 8; /* as large as the image */
    assert_int_equal(nc_axx_graph_train(g, &train, &how), NC_ERR_ARG);
    how.shift = 0;
    labels[7] = 4;
    assert_int_equal(nc_axx_graph_train(g, &train, &how), NC_ERR_ARG);
    assert_int_equal(nc_axx_graph_evaluate(g, &train, &score[3]), NC_ERR_ARG);
    nc_axx_graph_destroy(g);
    nc_axx_engine_destroy(e);
#ifdef _OPENMP
    omp_set_num_threads(omp_get_num_procs());
#endif
}

/* -- ONNX files: golden values and refusals by tests/golden_axx_onnx.py -- */

/* The file of a case; free it. */
static void *onnx_open(json_object *entry, nc_axx_onnx *file) {
    char path[256], *data = malloc(1 << 16);
    FILE *from;
    (void)snprintf(path, sizeof path, "tests/corpus/axx_graph/%s.onnx",
                   json_object_get_string(member(entry, "name")));
    memset(file, 0, sizeof *file);
    from = fopen(path, "rb");
    if (!from) fail_msg("cannot read %s", path);
    file->bytes = fread(data, 1, 1 << 16, from);
    fclose(from);
    file->data = data;
    file->batch = IMAGES;
    return data;
}

static void networks_of_onnx_are_those_of_onnxruntime(void **state) {
    json_object *root = load_json(TEST_DATA "axx/onnx.json"), *list = member(root, "cases"), *y;
    size_t i, networks = 0;
    (void)state;
    for (i = 0; i < json_object_array_length(list); i++) {
        golden c;
        nc_axx_onnx file;
        nc_error err;
        void *data;
        c.entry = json_object_array_get_idx(list, i);
        c.name = json_object_get_string(member(c.entry, "name"));
        if (!json_object_object_get_ex(c.entry, "y", &y)) continue;
        data = onnx_open(c.entry, &file);
        file.training = i % 2;
        if (nc_axx_graph_from_onnx(&c.g, &file, &err) != NC_OK)
            fail_msg("%s: %s", c.name, err.message);
        free(data); /* the graph has what it needs */
        c.pixels = count_of(c.g, 0);
        c.values = count_of(c.g, nc_axx_graph_nodes(c.g) - 1);
        c.x = malloc(IMAGES * c.pixels * sizeof *c.x);
        c.y = malloc(IMAGES * c.values * sizeof *c.y);
        formula(c.x, 999, IMAGES * c.pixels);
        forward(&c);
        compare(&c, "y", 2e-6);
        golden_close(&c);
        networks++;
    }
    assert_int_equal(networks, 25);
    json_object_put(root);
}

static void what_onnx_has_and_graphs_have_not_is_refused_by_name(void **state) {
    json_object *root = load_json(TEST_DATA "axx/onnx.json"), *list = member(root, "cases"), *words;
    size_t i, refused = 0;
    (void)state;
    for (i = 0; i < json_object_array_length(list); i++) {
        json_object *entry = json_object_array_get_idx(list, i);
        nc_axx_graph *g;
        nc_axx_onnx file;
        nc_error err;
        void *data;
        if (!json_object_object_get_ex(entry, "words", &words)) continue;
        data = onnx_open(entry, &file);
        assert_int_not_equal(nc_axx_graph_from_onnx(&g, &file, &err), NC_OK);
        assert_null(g);
        if (!strstr(err.message, json_object_get_string(words)))
            fail_msg("%s: '%s' lacks '%s'", json_object_get_string(member(entry, "name")),
                     err.message, json_object_get_string(words));
        free(data);
        refused++;
    }
    assert_int_equal(refused, 23);
    json_object_put(root);
}

/* Layers have PyTorch's names; both exporters' groups of nodes are one node. */
static void nodes_of_onnx_are_named_after_their_weights(void **state) {
    static const char *const files[] = {"attention", "attention_pieces", "attention_export"};
    static const nc_axx_node_kind kinds_wanted[] = {NC_AXX_NODE_LAYER_NORM, NC_AXX_NODE_LINEAR,
                                                    NC_AXX_NODE_GELU};
    static const uint32_t wanted[] = {2, 5, 1};
    json_object *root = load_json(TEST_DATA "axx/onnx.json");
    size_t i, k;
    (void)state;
    for (i = 0; i < 3; i++) {
        nc_axx_onnx file;
        nc_axx_graph *g;
        nc_axx_node_info info;
        nc_error err;
        void *data = onnx_open(case_named(root, files[i]), &file);
        if (nc_axx_graph_from_onnx(&g, &file, &err) != NC_OK) fail_msg("%s", err.message);
        for (k = 0; k < 3; k++) {
            uint32_t n, count = 0;
            for (n = 0; n < nc_axx_graph_nodes(g); n++) {
                assert_int_equal(nc_axx_graph_node(g, n, &info), NC_OK);
                count += info.kind == kinds_wanted[k];
            }
            assert_int_equal(count, wanted[k]);
        }
        assert_true(nc_axx_graph_find(g, "proj") != UINT32_MAX);
        assert_true(nc_axx_graph_find(g, "head") != UINT32_MAX);
        nc_axx_graph_destroy(g);
        free(data);
    }
    json_object_put(root);
}

/* Zeros around a convolution are its own, as what is below all values around a pool of the largest;
 * other padding is a node for each axis. */
static void padding_of_onnx_is_part_of_the_next_layer_where_it_can_be(void **state) {
    static const char *const files[] = {"pad_conv", "pad_twice", "pad_pool", "shortcut",
                                        "pad_computed"};
    static const uint32_t wanted[] = {0, 2, 2, 1, 0};
    json_object *root = load_json(TEST_DATA "axx/onnx.json");
    size_t i;
    (void)state;
    for (i = 0; i < sizeof files / sizeof *files; i++) {
        nc_axx_onnx file;
        nc_axx_graph *g;
        nc_axx_node_info info;
        nc_error err;
        uint32_t n, count = 0;
        void *data = onnx_open(case_named(root, files[i]), &file);
        if (nc_axx_graph_from_onnx(&g, &file, &err) != NC_OK) fail_msg("%s", err.message);
        for (n = 0; nc_axx_graph_node(g, n, &info) == NC_OK; n++)
            count += info.kind == NC_AXX_NODE_PAD;
        assert_int_equal(count, wanted[i]);
        nc_axx_graph_destroy(g);
        free(data);
    }
    json_object_put(root);
}

static void weights_beside_an_onnx_file_are_read(void **state) {
    json_object *root = load_json(TEST_DATA "axx/onnx.json");
    json_object *entry = case_named(root, "external"), *list = member(entry, "external");
    uint8_t bytes[96] = {0};
    nc_axx_onnx file;
    nc_axx_graph *g;
    nc_axx_tensor w;
    nc_error err;
    size_t i, k;
    void *data = onnx_open(entry, &file);
    (void)state;
    for (i = 0; i < 8; i++) {
        const float one = (float)json_object_get_double(json_object_array_get_idx(list, i));
        uint32_t word;
        memcpy(&word, &one, 4);
        for (k = 0; k < 4; k++) bytes[64 + 4 * i + k] = (uint8_t)(word >> 8 * k);
    }
    file.external = bytes;
    file.external_bytes = 95;
    assert_int_equal(nc_axx_graph_from_onnx(&g, &file, &err), NC_ERR_FORMAT);
    assert_non_null(strstr(err.message, "its 32 bytes are not in 'net.onnx.data'"));
    file.external_bytes = 96;
    if (nc_axx_graph_from_onnx(&g, &file, &err) != NC_OK) fail_msg("%s", err.message);
    assert_int_equal(nc_axx_graph_tensor(g, 0, &w), NC_OK);
    assert_string_equal(w.name, "w.weight");
    for (i = 0; i < 8; i++)
        assert_true(w.values[i] ==
                    (float)json_object_get_double(json_object_array_get_idx(list, i)));
    nc_axx_graph_destroy(g);
    free(data);
    json_object_put(root);
}

/* Beginnings of files, and files with a byte changed: an error with words, or a network. */
static void damaged_onnx_files_are_errors(void **state) {
    static const char *const files[] = {"forms", "inverted_export", "residual"};
    json_object *root = load_json(TEST_DATA "axx/onnx.json");
    uint64_t seed = 5;
    size_t i, k;
    (void)state;
    for (i = 0; i < 3; i++) {
        nc_axx_onnx file;
        nc_axx_graph *g;
        nc_error err;
        char *data = onnx_open(case_named(root, files[i]), &file);
        const size_t all = file.bytes;
        for (k = 0; k < all; k += 11) {
            file.bytes = k;
            assert_int_not_equal(nc_axx_graph_from_onnx(&g, &file, &err), NC_OK);
            assert_true(err.message[0]);
        }
        file.bytes = all;
        for (k = 0; k < 150; k++) {
            char *one = data + (test_random(&seed) >> 16) % all, old = *one;
            *one = (char)(test_random(&seed) >> 16);
            if (nc_axx_graph_from_onnx(&g, &file, &err) == NC_OK)
                nc_axx_graph_destroy(g);
            else
                assert_true(err.message[0]);
            *one = old;
        }
        free(data);
    }
    json_object_put(root);
}

/* -- ONNX files that no exporter writes, field by field -- */

typedef struct message {
    uint8_t at[1 << 16];
    size_t used;
} message;

static void put_varint(message *m, uint64_t value) {
    for (; value > 127; value >>= 7) m->at[m->used++] = (uint8_t)(value | 128);
    m->at[m->used++] = (uint8_t)value;
}

static void put_bytes(message *m, unsigned field, const void *bytes, size_t n) {
    put_varint(m, field << 3 | 2);
    put_varint(m, n);
    memcpy(m->at + m->used, bytes, n);
    m->used += n;
}

static void put_text(message *m, unsigned field, const char *text) {
    put_bytes(m, field, text, strlen(text));
}

static void put_number(message *m, unsigned field, uint64_t value) {
    put_varint(m, field << 3);
    put_varint(m, value);
}

/* A node of one output, its inputs between blanks, an attribute of whole numbers (null: none). */
static void put_node(message *graph, const char *type, const char *inputs, const char *output,
                     const char *name, const int *list, size_t count) {
    static message node, attribute;
    char words[64], *word;
    size_t i;
    node.used = attribute.used = 0;
    strcpy(words, inputs);
    for (word = strtok(words, " "); word; word = strtok(NULL, " ")) put_text(&node, 1, word);
    put_text(&node, 2, output);
    put_text(&node, 4, type);
    if (name) {
        put_text(&attribute, 1, name);
        for (i = 0; i < count; i++) put_number(&attribute, 8, (uint64_t)(int64_t)list[i]);
        put_bytes(&node, 5, attribute.at, attribute.used);
    }
    put_bytes(graph, 1, node.at, node.used);
}

/* A tensor of zeros. */
static void put_zeros(message *graph, const char *name, const int *shape, size_t rank) {
    static const uint8_t zeros[40000] = {0};
    static message tensor;
    size_t i, bytes = 4;
    tensor.used = 0;
    for (i = 0; i < rank; bytes *= (size_t)shape[i++]) put_number(&tensor, 1, (uint64_t)shape[i]);
    put_number(&tensor, 2, 1);
    put_text(&tensor, 8, name);
    put_bytes(&tensor, 9, zeros, bytes);
    put_bytes(graph, 5, tensor.at, tensor.used);
}

/* The graph with its input x (2 x 4; damaged: a piece of an axis behind these) and output y. */
static nc_status graph_of_onnx(message *graph, int damaged, nc_error *err) {
    static message part[4], model;
    nc_axx_onnx file;
    nc_axx_graph *g;
    nc_status status;
    size_t i;
    for (i = 0; i < 4; i++) part[i].used = 0;
    for (i = 0; i < 2; i++) {
        part[0].used = 0;
        put_number(&part[0], 1, i ? 4 : 2);
        put_bytes(&part[1], 1, part[0].at, part[0].used);
    }
    if (damaged) put_varint(&part[1], 1 << 3 | 2), put_varint(&part[1], 100);
    put_number(&part[2], 1, 1);
    put_bytes(&part[2], 2, part[1].at, part[1].used);
    part[0].used = 0;
    put_bytes(&part[0], 1, part[2].at, part[2].used);
    put_text(&part[3], 1, "x");
    put_bytes(&part[3], 2, part[0].at, part[0].used);
    put_bytes(graph, 11, part[3].at, part[3].used);
    part[3].used = 0;
    put_text(&part[3], 1, "y");
    put_bytes(graph, 12, part[3].at, part[3].used);
    part[3].used = model.used = 0;
    put_number(&part[3], 2, 12);
    put_bytes(&model, 8, part[3].at, part[3].used);
    put_bytes(&model, 7, graph->at, graph->used);
    memset(&file, 0, sizeof file);
    file.data = model.at;
    file.bytes = model.used;
    file.batch = 2;
    status = nc_axx_graph_from_onnx(&g, &file, err);
    graph->used = 0;
    nc_axx_graph_destroy(g);
    return status;
}

static void onnx_files_by_hand_are_read_or_refused(void **state) {
    static const int ones[8] = {1, 1, 1, 1, 1, 1, 1, 1}, square[] = {100, 100}, rows[] = {2, 4};
    static const int row[] = {1, 4};
    static const int axes[16] = {0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15};
    static const int twice[2] = {0, 0};
    static message graph;
    nc_error err;
    (void)state;
    graph.used = 0;
    put_zeros(&graph, "w", ones, 8); /* more axes than there can be */
    put_node(&graph, "Unsqueeze", "w", "u", "axes", axes, 16);
    put_node(&graph, "Add", "x u", "y", NULL, NULL, 0);
    assert_int_equal(graph_of_onnx(&graph, 0, &err), NC_ERR_LIMIT);
    assert_non_null(strstr(err.message, "24 axes"));
    put_zeros(&graph, "w", ones, 2);
    put_node(&graph, "Unsqueeze", "w", "u", "axes", twice, 2);
    put_node(&graph, "Add", "x u", "y", NULL, NULL, 0);
    assert_int_equal(graph_of_onnx(&graph, 0, &err), NC_ERR_FORMAT);
    assert_non_null(strstr(err.message, "named twice"));
    put_zeros(&graph, "w", square, 2); /* numbers behind the last */
    put_node(&graph, "Transpose", "w", "u", "perm", twice, 2);
    put_node(&graph, "Add", "x u", "y", NULL, NULL, 0);
    assert_int_equal(graph_of_onnx(&graph, 0, &err), NC_ERR_FORMAT);
    assert_non_null(strstr(err.message, "an order that is none of 2 axes"));
    put_zeros(&graph, "w", row, 2); /* a layer norm in pieces, of which one is missing */
    put_node(&graph, "Div", "x w", "q", NULL, NULL, 0);
    put_node(&graph, "Mul", "q", "s", NULL, NULL, 0);
    put_node(&graph, "Add", "s w", "y", NULL, NULL, 0);
    assert_int_equal(graph_of_onnx(&graph, 0, &err), NC_ERR_UNSUPPORTED);
    assert_non_null(strstr(err.message, "1 inputs, where 2 to 2 are possible"));
    put_node(&graph, "Relu", "x", "y", NULL, NULL, 0); /* damaged behind what is understood */
    assert_int_equal(graph_of_onnx(&graph, 1, &err), NC_ERR_FORMAT);
    put_zeros(&graph, "w", rows, 2); /* the same for both images, and taken by two nodes */
    put_node(&graph, "Add", "x w", "a", NULL, NULL, 0);
    put_node(&graph, "Mul", "a w", "y", NULL, NULL, 0);
    if (graph_of_onnx(&graph, 0, &err) != NC_OK) fail_msg("%s", err.message);
}

/* A network that has come apart: NaN is the least of all, and every image has one answer. */
static void logits_that_are_no_numbers_have_an_answer(void **state) {
    static const float pixels[4][3] = {{0, NAN, 5}, {NAN, 1, 0}, {NAN, NAN, NAN}, {2, 1, NAN}};
    static const uint32_t labels[4] = {2, 0, 0, 2}, answers[4] = {2, 1, 0, 0};
    const nc_axx_images images = {&pixels[0][0], labels, 4};
    nc_axx_node node;
    nc_axx_graph *g;
    nc_axx_score score;
    uint32_t confusion[9];
    nc_error err;
    size_t i;
    (void)state;
    assert_int_equal(nc_axx_graph_create(&g), NC_OK);
    memset(&node, 0, sizeof node);
    node.kind = NC_AXX_NODE_INPUT;
    node.rank = 1;
    node.shape[0] = 3;
    assert_int_equal(nc_axx_graph_add(g, &node, NULL, &err), NC_OK);
    node.kind = NC_AXX_NODE_SCALE;
    assert_int_equal(nc_axx_graph_add(g, &node, NULL, &err), NC_OK);
    assert_int_equal(nc_axx_graph_finish(g, 4, 0, &err), NC_OK);
    score.confusion = confusion;
    assert_int_equal(nc_axx_graph_evaluate(g, &images, &score), NC_OK);
    for (i = 0; i < 4; i++) confusion[3 * labels[i] + answers[i]]--;
    for (i = 0; i < 9; i++) assert_int_equal(confusion[i], 0);
    assert_true(score.top1 == 0.5 && score.top5 == 1.0);
    assert_int_equal(nc_axx_graph_calibrate(g, &pixels[0][0], 4, NC_AXX_CALIBRATE_PERCENTILE, 101),
                     NC_ERR_ARG);
    assert_int_equal(nc_axx_graph_calibrate(g, &pixels[0][0], 4, NC_AXX_CALIBRATE_PERCENTILE, 100),
                     NC_OK);
    nc_axx_graph_destroy(g);
}

static void numbers_of_32_bits_do_not_wrap_round(void **state) {
    nc_axx_swin swin;
    nc_axx_node node;
    nc_axx_graph *g;
    nc_error err;
    (void)state;
    assert_int_equal(nc_axx_graph_create(&g), NC_OK);
    memset(&swin, 0, sizeof swin);
    swin.image = 64;
    swin.patch = 1u << 31; /* times 2 for the second stage: 0 in 32 bits */
    swin.channels = swin.classes = swin.dim = swin.mlp = 4;
    swin.stages = 2;
    assert_int_equal(nc_axx_graph_add_swin(g, &swin, &err), NC_ERR_ARG);
    memset(&node, 0, sizeof node);
    node.kind = NC_AXX_NODE_INPUT;
    node.rank = 1;
    node.shape[0] = 3;
    assert_int_equal(nc_axx_graph_add(g, &node, NULL, &err), NC_OK);
    node.first = UINT32_MAX;
    node.out = 2;
    node.kind = NC_AXX_NODE_SLICE;
    assert_int_equal(nc_axx_graph_add(g, &node, NULL, &err), NC_ERR_ARG);
    node.kind = NC_AXX_NODE_PAD;
    assert_int_equal(nc_axx_graph_add(g, &node, NULL, &err), NC_ERR_ARG);
    nc_axx_graph_destroy(g);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(float_values_are_those_of_pytorch),
        cmocka_unit_test(quantised_values_are_those_of_pytorch),
        cmocka_unit_test(gradients_are_those_of_pytorch),
        cmocka_unit_test(depthwise_convolutions_are_chains_in_their_order),
        cmocka_unit_test(depthwise_layers_of_integers_are_quantised_as_others),
        cmocka_unit_test(folding_changes_roundings_only),
        cmocka_unit_test(batches_do_not_matter),
        cmocka_unit_test(each_node_has_its_own_mode_bits_and_multiplier),
        cmocka_unit_test(networks_count_their_work),
        cmocka_unit_test(layers_of_graphs_have_the_shapes_of_their_products),
        cmocka_unit_test(nodes_are_set_by_name_and_saved),
        cmocka_unit_test(graphs_survive_safetensors),
        cmocka_unit_test(the_counter_of_a_norm_is_known),
        cmocka_unit_test(prefixes_of_data_parallel_trainings_do_not_matter),
        cmocka_unit_test(impossible_nodes_are_refused_by_name),
        cmocka_unit_test(trainings_are_those_of_pytorch),
        cmocka_unit_test(a_network_is_trained_and_recovers_from_its_multiplier),
        cmocka_unit_test(networks_of_onnx_are_those_of_onnxruntime),
        cmocka_unit_test(what_onnx_has_and_graphs_have_not_is_refused_by_name),
        cmocka_unit_test(nodes_of_onnx_are_named_after_their_weights),
        cmocka_unit_test(padding_of_onnx_is_part_of_the_next_layer_where_it_can_be),
        cmocka_unit_test(weights_beside_an_onnx_file_are_read),
        cmocka_unit_test(damaged_onnx_files_are_errors),
        cmocka_unit_test(onnx_files_by_hand_are_read_or_refused),
        cmocka_unit_test(logits_that_are_no_numbers_have_an_answer),
        cmocka_unit_test(numbers_of_32_bits_do_not_wrap_round),
    };
    return cmocka_run_group_tests_name("axx graphs", tests, NULL, NULL);
}
