/* nc_axx.h: functions that allocate say so when they get no memory, and lose none. */
#define NC_AXX_VIT
#include "axx_toys.h"
#include "failing_malloc.h"

static const char *path = "build/axx_memory_test.txt", *wide_path = "build/mul4x3u_memory_test.csv";
static const nc_axx_net_config tiny = {.image = 4,
                                       .channels = 1,
                                       .classes = 3,
                                       .dim = 4,
                                       .depth = 1,
                                       .patch = 2,
                                       .heads = 2,
                                       .mlp = 8,
                                       .batch = 2};
static const float pixels[32] = {0.5f, -1.0f, 0.25f};
static const uint32_t labels[2] = {0, 2};
static const nc_axx_images images = {pixels, labels, 2};
static nc_axx_mult mult, other;
static nc_axx_net *net;
static nc_axx_graph *graph;
static nc_axx_search *searched;
static nc_axx_search_config config;
static toy problem;
static nc_axx_wide *wide;
static nc_axx_graph *swin_graph;
static nc_axx_swin swin;
static char *table, *file, *search_text, *graph_file, *wide_text, *swin_file, *onnx;
static size_t table_bytes, file_bytes, search_bytes, graph_bytes, wide_bytes, swin_bytes,
    onnx_bytes;
static nc_error err;

static nc_status text_made(nc_status status, char *text) {
    if (status != NC_OK) assert_null(text);
    nc_axx_free_text(text);
    return status;
}

static nc_status parse(void) {
    return nc_axx_parse(&other, NC_AXX_FORM_CSV, "m", table, table_bytes, &err);
}
static nc_status parse_with(void) {
    nc_axx_reading how;
    nc_axx_report report;
    memset(&how, 0, sizeof how);
    return nc_axx_parse_with(&other, NC_AXX_FORM_CSV, &how, "m", table, table_bytes, &report, &err);
}
static nc_status load(void) { return nc_axx_load(&other, path, NC_AXX_FORM_CSV, &err); }
static nc_status load_with(void) {
    return nc_axx_load_with(&other, path, NC_AXX_FORM_CSV, NULL, NULL, &err);
}
static nc_status make_signed(void) { return nc_axx_signed(&other, &mult, 0); }
static nc_status wide_create(void) {
    nc_axx_wide *wide;
    const nc_status status = nc_axx_wide_create(&wide, 4, 9, 0);
    if (status != NC_OK) assert_null(wide);
    nc_axx_wide_destroy(wide);
    return status;
}
static nc_status wide_made(nc_status status, nc_axx_wide *made) {
    if (status != NC_OK) assert_null(made);
    if (status == NC_OK) seen_bytes(made->table, sizeof *made->table << 7);
    nc_axx_wide_destroy(made);
    return status;
}
static nc_status wide_parse(void) {
    nc_axx_wide *made;
    const nc_status status = nc_axx_wide_parse(&made, NC_AXX_FORM_CSV, NULL, "mul4x3u", wide_text,
                                               wide_bytes, NULL, &err);
    return wide_made(status, made);
}
static nc_status wide_write(void) {
    char *text;
    size_t bytes;
    const nc_status status = nc_axx_wide_write(wide, NC_AXX_FORM_CSV, &text, &bytes, &err);
    if (status == NC_OK) seen_bytes(text, bytes);
    return text_made(status, text);
}
static nc_status wide_load(void) {
    nc_axx_wide *made;
    const nc_status status = nc_axx_wide_load(&made, wide_path, NC_AXX_FORM_CSV, NULL, NULL, &err);
    return wide_made(status, made);
}
static nc_status wide_save(void) {
    return nc_axx_wide_save(wide, wide_path, nc_axx_form_of("x.csv"), &err);
}
static nc_status engine_made(nc_status status, nc_axx_engine *engine) {
    if (status != NC_OK) assert_null(engine);
    nc_axx_engine_destroy(engine);
    return status;
}
static nc_status engine_create(void) {
    nc_axx_engine *engine;
    const nc_status status = nc_axx_engine_create(&engine, &mult);
    return engine_made(status, engine);
}
static nc_status engine_create_with(void) {
    nc_axx_engine *engine;
    const nc_status status = nc_axx_engine_create_with(&engine, &mult, 0);
    return engine_made(status, engine);
}
static nc_status engine_create_wide(void) {
    nc_axx_engine *engine = NULL;
    nc_axx_wide *wide;
    nc_status status = nc_axx_wide_create(&wide, 4, 4, 0);
    if (status == NC_OK) status = nc_axx_engine_create_wide(&engine, wide);
    nc_axx_wide_destroy(wide);
    return engine_made(status, engine);
}
static nc_status calibrate_rows(void) {
    float amax[4];
    return nc_axx_calibrate_rows(amax, pixels, 4, 8, NC_AXX_CALIBRATE_ENTROPY, 0, 8);
}
static nc_status data_parse(void) {
    static const char text[] = "0,1,2,3,1\n3,2,1,0,0\n";
    nc_axx_data data;
    nc_axx_data_options how;
    nc_status status;
    memset(&data, 0, sizeof data);
    memset(&how, 0, sizeof how);
    how.form = NC_AXX_DATA_CSV;
    status = nc_axx_data_parse(&data, &how, text, sizeof text - 1, NULL, 0, &err);
    nc_axx_data_free(&data);
    return status;
}
/* Appended to one image: that stays alone where the others get no memory. */
static nc_status data_load(void) {
    static const char first[] = "9,8,7,6,1\n";
    nc_axx_data data;
    nc_axx_data_options how;
    nc_status status;
    const long failing = until_failure;
    memset(&data, 0, sizeof data);
    memset(&how, 0, sizeof how);
    how.form = NC_AXX_DATA_CSV;
    how.label = -1;
    until_failure = -1;
    status = nc_axx_data_parse(&data, &how, first, sizeof first - 1, NULL, 0, &err);
    assert_int_equal(status, NC_OK);
    until_failure = failing;
    status = nc_axx_data_load(&data, path, &how, &err);
    assert_int_equal(data.count, status == NC_OK ? 3 : 1);
    assert_int_equal(data.labels[0], 1);
    seen_bytes(data.pixels, 4);
    if (status == NC_OK) seen_bytes(data.pixels, 12);
    if (status == NC_OK) seen_bytes(data.labels, 3 * sizeof *data.labels);
    nc_axx_data_free(&data);
    return status;
}
/* Three channels become one, and larger: two buffers each. */
static const uint8_t coloured[24] = {1, 200, 3, 40, 5, 60, 7, 8, 90, 10, 11, 12};
static const nc_axx_view larger = {.channels = 1, .height = 3, .width = 3, .cubic = 1};
static nc_status view_image(void) {
    float out[9] = {0};
    const nc_status status = nc_axx_view_image(&larger, coloured, 3, 2, 2, out);
    seen_bytes(out, sizeof out);
    return status;
}
static nc_status view_data(void) {
    uint8_t pixels[24];
    nc_axx_data data;
    float out[18] = {0};
    nc_status status;
    memset(&data, 0, sizeof data);
    memcpy(pixels, coloured, sizeof pixels);
    data.pixels = pixels;
    data.count = data.classes = 2;
    data.channels = 3;
    data.height = data.width = 2;
    status = nc_axx_view_data(&larger, &data, 0, 2, out);
    if (status == NC_OK) seen_bytes(out, sizeof out);
    return status;
}
static nc_status resize(void) {
    static const uint8_t from[16] = {1, 2, 3};
    uint8_t to[4];
    return nc_axx_resize(from, 1, 4, 4, to, 2, 2, 1);
}
static nc_status net_create(void) {
    nc_axx_net *n;
    const nc_status status = nc_axx_net_create(&n, &tiny);
    if (status != NC_OK) assert_null(n);
    nc_axx_net_destroy(n);
    return status;
}
static nc_status net_calibrate(void) {
    return nc_axx_net_calibrate(net, &images, NC_AXX_CALIBRATE_ENTROPY, 0);
}
static nc_status net_train(void) {
    nc_axx_training training;
    memset(&training, 0, sizeof training);
    training.shift = 1;
    return nc_axx_net_train(net, &images, &training);
}
static nc_status net_prune(void) { return nc_axx_net_prune(net, 0.25); }
static nc_status net_table(void) {
    char *text;
    size_t bytes;
    const nc_status status = nc_axx_net_table(net, &text, &bytes);
    return text_made(status, text);
}
static nc_status net_save(void) {
    char *text;
    size_t bytes;
    const nc_status status = nc_axx_net_save(net, &text, &bytes, &err);
    return text_made(status, text);
}
static nc_status layer_table(void) {
    nc_axx_layer_info layers[2];
    char *text;
    size_t bytes;
    nc_status status = nc_axx_net_layer(net, 0, &layers[0]);
    if (status == NC_OK) status = nc_axx_net_layer(net, 1, &layers[1]);
    assert_int_equal(status, NC_OK);
    status = nc_axx_layer_table(layers, 2, &text, &bytes);
    if (status == NC_OK) seen_bytes(text, bytes);
    return text_made(status, text);
}
static nc_status net_describe(void) {
    nc_axx_net_config told;
    nc_status status;
    memset(&told, 0, sizeof told);
    told.heads = 2;
    status = nc_axx_net_describe(&told, file, file_bytes, &err);
    if (status != NC_OK) assert_int_equal(told.dim, 0);
    seen(status == NC_OK ? told.dim : 0);
    return status;
}
static nc_status net_load(void) { return nc_axx_net_load(net, file, file_bytes, &err); }
static nc_status graph_new(nc_axx_graph **g) {
    nc_axx_node n;
    nc_status status = nc_axx_graph_create(g);
    memset(&n, 0, sizeof n);
    n.kind = NC_AXX_NODE_INPUT;
    n.rank = 3;
    n.shape[0] = 1;
    n.shape[1] = n.shape[2] = 4;
    if (status == NC_OK) status = nc_axx_graph_add(*g, &n, NULL, &err);
    memset(&n, 0, sizeof n);
    n.kind = NC_AXX_NODE_CONV2D;
    n.out = 3;
    n.kernel[0] = n.kernel[1] = 4;
    if (status == NC_OK) status = nc_axx_graph_add(*g, &n, NULL, &err);
    n.kind = NC_AXX_NODE_BATCH_NORM;
    if (status == NC_OK) status = nc_axx_graph_add(*g, &n, NULL, &err);
    n.kind = NC_AXX_NODE_FLATTEN;
    if (status == NC_OK) status = nc_axx_graph_add(*g, &n, NULL, &err);
    if (status == NC_OK) status = nc_axx_graph_finish(*g, 2, 1, &err);
    return status;
}
static nc_status graph_make(void) {
    nc_axx_graph *g;
    const nc_status status = graph_new(&g);
    nc_axx_graph_destroy(g);
    return status;
}
static nc_status graph_calibrate(void) {
    return nc_axx_graph_calibrate(graph, pixels, 2, NC_AXX_CALIBRATE_ENTROPY, 0);
}
static nc_status graph_train(void) {
    nc_axx_training training;
    memset(&training, 0, sizeof training);
    return nc_axx_graph_train(graph, &images, &training);
}
static nc_status graph_table(void) {
    char *text;
    size_t bytes;
    const nc_status status = nc_axx_graph_table(graph, &text, &bytes);
    return text_made(status, text);
}
static nc_status graph_save(void) {
    char *text;
    size_t bytes;
    const nc_status status = nc_axx_graph_save(graph, &text, &bytes, &err);
    return text_made(status, text);
}
static nc_status graph_load(void) {
    return nc_axx_graph_load(graph, graph_file, graph_bytes, &err);
}
/* After a failure the graph is as it was: it folds then, and answers what it answers folded. */
static nc_status graph_fold(void) {
    const long failing = until_failure;
    nc_axx_graph *g;
    nc_status status;
    float before[6], answer[6];
    uint32_t folded = 7;
    until_failure = -1;
    assert_int_equal(graph_new(&g), NC_OK);
    assert_int_equal(nc_axx_graph_init(g, 1), NC_OK);
    assert_int_equal(nc_axx_graph_forward(g, pixels, 2, before), NC_OK);
    until_failure = failing;
    status = nc_axx_graph_fold(g, &folded);
    if (status != NC_OK) {
        assert_int_equal(folded, 7);
        assert_int_equal(nc_axx_graph_forward(g, pixels, 2, answer), NC_OK);
        assert_memory_equal(answer, before, sizeof answer);
        assert_int_equal(nc_axx_graph_fold(g, &folded), NC_OK);
    }
    assert_int_equal(folded, 1);
    assert_int_equal(nc_axx_graph_forward(g, pixels, 2, answer), NC_OK);
    seen_bytes(answer, sizeof answer);
    nc_axx_graph_destroy(g);
    return status;
}
static nc_status graph_evaluate(void) {
    nc_axx_score score;
    nc_status status;
    memset(&score, 0, sizeof score);
    status = nc_axx_graph_evaluate(graph, &images, &score);
    if (status == NC_OK) seen_bytes(&score.loss, sizeof score.loss);
    return status;
}
static void seen_graph(const nc_axx_graph *g) {
    char *text;
    size_t bytes;
    assert_int_equal(nc_axx_graph_save(g, &text, &bytes, &err), NC_OK);
    seen_bytes(text, bytes);
    nc_axx_free_text(text);
}
static nc_status graph_from_onnx(void) {
    const nc_axx_onnx of = {.data = onnx, .bytes = onnx_bytes, .batch = 1};
    nc_axx_graph *g;
    const nc_status status = nc_axx_graph_from_onnx(&g, &of, &err);
    const long failing = until_failure;
    if (status != NC_OK) assert_null(g);
    until_failure = -1;
    if (status == NC_OK) seen_graph(g);
    until_failure = failing;
    nc_axx_graph_destroy(g);
    return status;
}
static nc_status swin_describe(void) {
    nc_axx_swin told;
    nc_status status;
    memset(&told, 0, sizeof told);
    status = nc_axx_swin_describe(&told, swin_file, swin_bytes, &err);
    if (status != NC_OK) assert_int_equal(told.dim, 0);
    seen(status == NC_OK ? told.dim : 0);
    return status;
}
static nc_status graph_add_swin(void) {
    nc_axx_graph *g;
    nc_status status = nc_axx_graph_create(&g);
    if (status == NC_OK) status = nc_axx_graph_add_swin(g, &swin, &err);
    if (status == NC_OK) status = nc_axx_graph_finish(g, 1, 0, &err);
    seen(status == NC_OK ? nc_axx_graph_nodes(g) : 0);
    nc_axx_graph_destroy(g);
    return status;
}
/* Over other weights, which stay where there is no memory. */
static nc_status graph_load_swin(void) {
    const long failing = until_failure;
    const uint64_t hash = made_hash;
    nc_status status;
    uint64_t before;
    long left;
    until_failure = -1;
    assert_int_equal(nc_axx_graph_init(swin_graph, 1), NC_OK);
    seen_graph(swin_graph);
    before = made_hash;
    made_hash = hash;
    until_failure = failing;
    status = nc_axx_graph_load_swin(swin_graph, &swin, swin_file, swin_bytes, &err);
    left = until_failure;
    until_failure = -1;
    seen_graph(swin_graph);
    until_failure = left;
    if (status != NC_OK) assert_true(made_hash == before);
    if (status == NC_OK) assert_true(made_hash != before);
    return status;
}
static nc_status search_run(nc_status (*run)(nc_axx_search *search)) {
    nc_axx_search *s;
    nc_status status = nc_axx_search_create(&s, &config);
    if (status != NC_OK) assert_null(s);
    if (status == NC_OK) status = run(s);
    nc_axx_search_destroy(s);
    return status;
}
static nc_status run_mcts(nc_axx_search *s) { return nc_axx_search_mcts(s, 5); }
static nc_status run_genetic(nc_axx_search *s) { return nc_axx_search_genetic(s, 2); }
static nc_status run_load(nc_axx_search *s) {
    return nc_axx_search_load(s, search_text, search_bytes, &err);
}
static nc_status run_resume(nc_axx_search *s) { return nc_axx_search_resume(s, path, &err); }
static nc_status run_exhaustive(nc_axx_search *s) {
    const nc_status status = nc_axx_search_exhaustive(s);
    if (status == NC_OK) seen(nc_axx_search_count(s));
    return status;
}
static nc_status search_exhaustive(void) { return search_run(run_exhaustive); }
static nc_status search_mcts(void) { return search_run(run_mcts); }
static nc_status search_genetic(void) { return search_run(run_genetic); }
static nc_status search_greedy(void) { return search_run(nc_axx_search_greedy); }
static nc_status search_load(void) { return search_run(run_load); }
static nc_status search_resume(void) { return search_run(run_resume); }
static nc_status search_save(void) { return nc_axx_search_save(searched, path, &err); }
static nc_status search_csv(void) {
    char *text;
    size_t bytes;
    const nc_status status = nc_axx_search_csv(searched, 1, &text, &bytes);
    return text_made(status, text);
}
static nc_status search_front(void) {
    nc_axx_solution front[4];
    size_t count;
    return nc_axx_search_front(searched, front, 4, &count);
}
static nc_status search_state(void) {
    char *text;
    size_t bytes;
    const nc_status status = nc_axx_search_state(searched, &text, &bytes);
    return text_made(status, text);
}

static void tables_and_engines_may_get_no_memory(void **state) {
    static const sweep_case cases[] = {
        {"parse", parse},
        {"parse_with", parse_with},
        {"load", load},
        {"load_with", load_with},
        {"signed", make_signed},
        {"wide_create", wide_create},
        {"engine_create", engine_create},
        {"engine_create_with", engine_create_with},
        {"engine_create_wide", engine_create_wide},
        {"calibrate_rows", calibrate_rows},
        {"data_parse", data_parse},
        {"resize", resize},
        {"wide_parse", wide_parse},
        {"wide_write", wide_write},
        {"wide_save", wide_save},
        {"wide_load", wide_load},
        {"view_image", view_image},
        {"view_data", view_data},
    };
    static const sweep_case last[] = {{"data_load", data_load}};
    static const char two[] = "0,1,2,3,1\n3,2,1,0,0\n";
    (void)state;
    use_threads(1);
    assert_int_equal(nc_axx_make(&mult, "exact+unsigned", &err), NC_OK);
    assert_int_equal(nc_axx_write(&mult, NC_AXX_FORM_CSV, &table, &table_bytes, &err), NC_OK);
    assert_int_equal(nc_axx_save(&mult, path, NC_AXX_FORM_CSV, &err), NC_OK);
    assert_int_equal(nc_axx_wide_create(&wide, 4, 3, 1), NC_OK);
    assert_int_equal(nc_axx_wide_write(wide, NC_AXX_FORM_CSV, &wide_text, &wide_bytes, &err),
                     NC_OK);
    sweep_all(cases, sizeof cases / sizeof *cases);
    assert_int_equal(nc_file_write(path, two, sizeof two - 1, &err), NC_OK);
    sweep_all(last, 1);
    nc_axx_free_text(table);
    nc_axx_free_text(wide_text);
    nc_axx_wide_destroy(wide);
    (void)remove(path);
    (void)remove(wide_path);
    assert_int_equal(held, 0);
}

static void networks_may_get_no_memory(void **state) {
    static const sweep_case cases[] = {
        {"net_create", net_create},
        {"net_calibrate", net_calibrate},
        {"net_train", net_train},
        {"net_prune", net_prune},
        {"net_table", net_table},
        {"net_save", net_save},
        {"net_load", net_load},
        {"graph_create, _add, _finish", graph_make},
        {"graph_calibrate", graph_calibrate},
        {"graph_train", graph_train},
        {"graph_table", graph_table},
        {"graph_save", graph_save},
        {"graph_load", graph_load},
        {"layer_table", layer_table},
        {"net_describe", net_describe},
        {"graph_fold", graph_fold},
        {"graph_evaluate", graph_evaluate},
    };
    (void)state;
    use_threads(1);
    assert_int_equal(nc_axx_net_create(&net, &tiny), NC_OK);
    nc_axx_net_init(net, 1);
    assert_int_equal(nc_axx_net_prune(net, 0.5), NC_OK); /* another share replaces its mask */
    assert_int_equal(nc_axx_net_save(net, &file, &file_bytes, &err), NC_OK);
    assert_int_equal(graph_new(&graph), NC_OK);
    assert_int_equal(nc_axx_graph_init(graph, 1), NC_OK);
    assert_int_equal(nc_axx_graph_save(graph, &graph_file, &graph_bytes, &err), NC_OK);
    sweep_all(cases, sizeof cases / sizeof *cases);
    nc_axx_free_text(file);
    nc_axx_free_text(graph_file);
    nc_axx_net_destroy(net);
    nc_axx_graph_destroy(graph);
    assert_int_equal(held, 0);
}

static void graphs_from_files_may_get_no_memory(void **state) {
    static const sweep_case cases[] = {
        {"swin_describe", swin_describe},
        {"graph_add_swin", graph_add_swin},
        {"graph_load_swin", graph_load_swin},
        {"graph_from_onnx", graph_from_onnx},
    };
    (void)state;
    use_threads(1);
    assert_int_equal(
        nc_file_read(TEST_DATA "axx/vit/swin_window.safetensors", &swin_file, &swin_bytes, &err),
        NC_OK);
    assert_int_equal(nc_file_read("tests/corpus/axx_graph/residual.onnx", &onnx, &onnx_bytes, &err),
                     NC_OK);
    assert_int_equal(nc_axx_swin_describe(&swin, swin_file, swin_bytes, &err), NC_OK);
    assert_int_equal(nc_axx_graph_create(&swin_graph), NC_OK);
    assert_int_equal(nc_axx_graph_add_swin(swin_graph, &swin, &err), NC_OK);
    assert_int_equal(nc_axx_graph_finish(swin_graph, 1, 0, &err), NC_OK);
    sweep_all(cases, sizeof cases / sizeof *cases);
    nc_axx_graph_destroy(swin_graph);
    nc_file_free(swin_file);
    nc_file_free(onnx);
    assert_int_equal(held, 0);
}

static void searches_may_get_no_memory(void **state) {
    static const sweep_case cases[] = {
        {"search_mcts", search_mcts},     {"search_genetic", search_genetic},
        {"search_greedy", search_greedy}, {"search_csv", search_csv},
        {"search_front", search_front},   {"search_state", search_state},
        {"search_load", search_load},     {"search_save", search_save},
        {"search_resume", search_resume}, {"search_exhaustive", search_exhaustive},
    };
    (void)state;
    use_threads(1);
    config = toy_make(&problem, &toy_kinds[0], 1);
    assert_int_equal(nc_axx_search_create(&searched, &config), NC_OK);
    assert_int_equal(nc_axx_search_greedy(searched), NC_OK);
    assert_int_equal(nc_axx_search_state(searched, &search_text, &search_bytes), NC_OK);
    sweep_all(cases, sizeof cases / sizeof *cases);
    nc_axx_free_text(search_text);
    nc_axx_search_destroy(searched);
    (void)remove(path);
    assert_int_equal(held, 0);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(tables_and_engines_may_get_no_memory),
        cmocka_unit_test(networks_may_get_no_memory),
        cmocka_unit_test(graphs_from_files_may_get_no_memory),
        cmocka_unit_test(searches_may_get_no_memory),
    };
    return cmocka_run_group_tests_name("axx memory", tests, NULL, NULL);
}
