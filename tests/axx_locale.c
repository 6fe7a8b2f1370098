/* nc_axx.h: in a locale whose decimal point is a comma everything is written and read as in any
   other: multipliers, networks, graphs, tables, searches, messages. */
#include "test.h"
#define NC_AXX_VIT
#include <math.h>
#include "../nc_axx.h"

/* All that was written, one after the other. */
typedef struct record {
    char *data;
    size_t used;
} record;

static void keep(record *r, const void *data, size_t bytes) {
    r->data = (char *)realloc(r->data, r->used + bytes);
    assert_non_null(r->data);
    memcpy(r->data + r->used, data, bytes);
    r->used += bytes;
}

static void keep_text(record *r, char *text, size_t bytes) {
    keep(r, text, bytes);
    nc_axx_free_text(text);
}

static void keep_error(record *r, const nc_error *err) {
    assert_true(err->message[0] != 0);
    keep(r, err->message, strlen(err->message));
    keep(r, &err->line, sizeof err->line);
    keep(r, &err->column, sizeof err->column);
}

static void multipliers(record *r) {
    static const char netlist[] = "// PDK45_PWR = 0.125 mW\n"
                                  "int16_t f(int8_t A, int8_t B) { return A * B; }\n";
    static nc_axx_mult m, n;
    nc_axx_report report;
    nc_error err;
    size_t bytes;
    char *text;
    int form;
    assert_int_equal(nc_axx_make(&m, "mul8s_1L2H", &err), NC_OK);
    for (form = NC_AXX_FORM_I16; form < NC_AXX_FORM_COUNT; form++) {
        if (nc_axx_write(&m, (nc_axx_form)form, &text, &bytes, &err) != NC_OK) continue;
        if (nc_axx_parse(&n, (nc_axx_form)form, "mul8s_1L2H", text, bytes, &err) != NC_OK)
            fail_msg("form %d: %s", form, err.message);
        assert_memory_equal(n.table, m.table, sizeof m.table);
        keep(r, &n.relative_power, sizeof n.relative_power);
        keep_text(r, text, bytes);
    }
    if (nc_axx_parse_with(&n, NC_AXX_FORM_NETLIST, NULL, "x", netlist, sizeof netlist - 1, &report,
                          &err) != NC_OK)
        fail_msg("%s", err.message);
    assert_true(report.milliwatts == 0.125f);
    keep(r, report.text, strlen(report.text));
    keep(r, &n.relative_power, sizeof n.relative_power);
    assert_int_not_equal(nc_axx_make(&m, "truncated:1.5", &err), NC_OK);
    keep_error(r, &err);
}

static void networks(record *r) {
    nc_axx_net_config c;
    nc_axx_layer_options options;
    nc_axx_images images;
    nc_axx_net *net, *other;
    float pixels[2 * 16];
    uint32_t i, count;
    nc_error err;
    size_t bytes;
    char *text;
    memset(&c, 0, sizeof c);
    c.kind = NC_AXX_NET_VIT;
    c.image = 4;
    c.classes = 3;
    c.dim = 8;
    c.depth = 1;
    c.patch = 2;
    c.heads = 2;
    c.batch = 2;
    c.eps = 1.5e-3f;
    assert_int_equal(nc_axx_net_create(&net, &c), NC_OK);
    nc_axx_net_init(net, 4);
    for (i = 0; i < 32; i++) pixels[i] = (float)(i * 7 % 11) / 3.0f - 1.2f;
    memset(&images, 0, sizeof images);
    images.pixels = pixels;
    images.count = 2;
    assert_int_equal(nc_axx_net_calibrate(net, &images, NC_AXX_CALIBRATE_PERCENTILE, 99.5), NC_OK);
    memset(&options, 0, sizeof options);
    options.mode = NC_AXX_MODE_INTEGER;
    options.weight_percent = 99.25;
    assert_int_equal(nc_axx_net_set(net, "blocks.*.fc1", &options, &count, &err), NC_OK);
    assert_int_equal(nc_axx_net_table(net, &text, &bytes), NC_OK);
    keep_text(r, text, bytes);
    assert_int_equal(nc_axx_net_save(net, &text, &bytes, &err), NC_OK);
    if (nc_axx_net_load(net, text, bytes, &err) != NC_OK) fail_msg("%s", err.message);
    c.eps = 2.5e-3f;
    assert_int_equal(nc_axx_net_create(&other, &c), NC_OK);
    assert_int_equal(nc_axx_net_load(other, text, bytes, &err), NC_ERR_MISMATCH);
    assert_true(strstr(err.message, "0.0015, this one 0.0025") != NULL);
    keep_error(r, &err);
    keep_text(r, text, bytes);
    nc_axx_net_destroy(other);
    nc_axx_net_destroy(net);
}

static void graphs(record *r) {
    const float images[2][12] = {{0.5f, -1.25f, 3.0f}, {0.125f, 2.0f}};
    nc_axx_node node;
    nc_axx_graph *g;
    uint32_t number;
    nc_error err;
    size_t bytes;
    char *text;
    int bad;
    for (bad = 0; bad < 2; bad++) {
        assert_int_equal(nc_axx_graph_create(&g), NC_OK);
        memset(&node, 0, sizeof node);
        node.kind = NC_AXX_NODE_INPUT;
        node.rank = 2;
        node.shape[0] = 3;
        node.shape[1] = 4;
        assert_int_equal(nc_axx_graph_add(g, &node, &number, &err), NC_OK);
        memset(&node, 0, sizeof node);
        node.kind = NC_AXX_NODE_LINEAR;
        node.out = 5;
        assert_int_equal(nc_axx_graph_add(g, &node, &number, &err), NC_OK);
        node.kind = NC_AXX_NODE_LAYER_NORM;
        node.eps = bad ? -1.5f : 1.5e-3f;
        if (nc_axx_graph_add(g, &node, &number, &err) != NC_OK ||
            nc_axx_graph_finish(g, 2, 0, &err) != NC_OK) {
            assert_true(bad && strstr(err.message, "-1.5") != NULL);
            keep_error(r, &err);
            nc_axx_graph_destroy(g);
            continue;
        }
        assert_true(!bad);
        assert_int_equal(nc_axx_graph_calibrate(g, images[0], 2, NC_AXX_CALIBRATE_MSE, 0), NC_OK);
        assert_int_equal(nc_axx_graph_save(g, &text, &bytes, &err), NC_OK);
        if (nc_axx_graph_load(g, text, bytes, &err) != NC_OK) fail_msg("%s", err.message);
        keep_text(r, text, bytes);
        nc_axx_graph_destroy(g);
    }
}

static void data(record *r) {
    static const char csv[] = "label,a,b,c,d\n1,2,3,4,5\n0,9,8,7,6\n",
                      bad[] = "label,a,b,c,d\n1,2,3,4,5\n0,9,8.5,7,6\n";
    nc_axx_data_options how;
    nc_axx_data d;
    nc_error err;
    memset(&d, 0, sizeof d);
    memset(&how, 0, sizeof how);
    how.form = NC_AXX_DATA_CSV;
    if (nc_axx_data_parse(&d, &how, csv, sizeof csv - 1, NULL, 0, &err) != NC_OK)
        fail_msg("%s", err.message);
    keep(r, d.pixels, 8);
    assert_int_not_equal(nc_axx_data_parse(&d, &how, bad, sizeof bad - 1, NULL, 0, &err), NC_OK);
    keep_error(r, &err);
    nc_axx_data_free(&d);
}

static int evaluate(void *user, const uint8_t *assignment, double *accuracy) {
    (void)user;
    *accuracy = 0.9 - 0.0125 * assignment[0] - 0.0375 * assignment[1] * assignment[2];
    return 0;
}

static void searches(record *r) {
    static const double share[3] = {0.5, 0.3, 0.2};
    static const float power[3] = {1.0f, 0.7f, 0.35f};
    nc_axx_search_config c;
    nc_axx_search *s, *again;
    nc_error err;
    size_t bytes;
    char *text;
    int way;
    memset(&c, 0, sizeof c);
    c.layers = c.candidates = 3;
    c.share = share;
    c.power = power;
    c.least_accuracy = 0.85;
    c.evaluate = evaluate;
    assert_int_equal(nc_axx_search_create(&s, &c), NC_OK);
    assert_int_equal(nc_axx_search_mcts(s, 15), NC_OK);
    for (way = 0; way < 3; way++) {
        if (way == 2)
            assert_int_equal(nc_axx_search_state(s, &text, &bytes), NC_OK);
        else
            assert_int_equal(nc_axx_search_csv(s, way, &text, &bytes), NC_OK);
        assert_int_equal(nc_axx_search_create(&again, &c), NC_OK);
        if (nc_axx_search_load(again, text, bytes, &err) != NC_OK) fail_msg("%s", err.message);
        keep_text(r, text, bytes);
        assert_int_equal(nc_axx_search_load(again, "x\n0.5;", 6, &err), NC_ERR_FORMAT);
        keep_error(r, &err);
        nc_axx_search_destroy(again);
    }
    nc_axx_search_destroy(s);
}

static record write_everything(void) {
    record r = {NULL, 0};
    multipliers(&r);
    networks(&r);
    graphs(&r);
    data(&r);
    searches(&r);
    return r;
}

static void no_output_and_no_input_depends_on_the_locale(void **state) {
    record here, there;
    size_t i = 0;
    (void)state;
    here = write_everything();
    if (!comma_locale() || !setlocale(LC_ALL, "de_DE.UTF-8")) {
        free(here.data);
        printf("skipped: no locale with a comma (Debian: locales)\n");
        skip();
    }
    assert_string_equal(localeconv()->decimal_point, ",");
    there = write_everything();
    setlocale(LC_ALL, "C");
    while (i < here.used && i < there.used && here.data[i] == there.data[i]) i++;
    if (i < here.used || i < there.used)
        fail_msg("'%.40s' is '%.40s'", here.data + (i < 20 ? 0 : i - 20),
                 there.data + (i < 20 ? 0 : i - 20));
    free(here.data);
    free(there.data);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(no_output_and_no_input_depends_on_the_locale),
    };
    return cmocka_run_group_tests_name("axx locale", tests, NULL, NULL);
}
