/* nc_hlx.h, section weights: files that transformers wrote (tests/golden_hlx_weights.py) and llm.c
 * (tests/golden_hlx_llmc.py), and what may differ between a file and a model. */
#include "test.h"
#include <math.h>
#include <unistd.h>
#include "../nc_hlx.h"

#define GPT2 TEST_DATA "hlx/gpt2/"
#define LLMC TEST_DATA "hlx/llmc/"

static const char scratch[] = "build/test_weights.safetensors";

/* The shape of the files, with room for one batch of the golden logits. */
static nc_hlx_config file_config(uint32_t tied) {
    nc_hlx_config c;
    memset(&c, 0, sizeof c);
    c.vocab_size = 13;
    c.d_model = 8;
    c.num_layers = 2;
    c.num_heads = 2;
    c.ffn_dim = 32;
    c.max_seq_len = 8;
    c.batch_size = 2;
    c.tied_output = tied;
    return c;
}

static nc_hlx_model *model_of(nc_hlx_config c) {
    nc_hlx_model *model;
    assert_int_equal(nc_hlx_create(&model, &c, NULL), NC_OK);
    nc_hlx_init_weights(model, 7);
    return model;
}

static nc_hlx_model *imported(const char *path, nc_hlx_config c) {
    nc_hlx_model *model = model_of(c);
    nc_error err;
    if (nc_hlx_import(model, path, &err) != NC_OK) fail_msg("%s: %s", path, err.message);
    return model;
}

/* The import fails so, says this, and leaves the model. */
static void refused(nc_hlx_config c, const char *path, const nc_hlx_import_options *options,
                    nc_status status, const char *says) {
    nc_hlx_model *model = model_of(c);
    const uint64_t digest = nc_hlx_digest(model);
    nc_error err;
    assert_int_equal(nc_hlx_import_with(model, path, options, &err), status);
    if (!strstr(err.message, says)) fail_msg("'%s' does not say '%s'", err.message, says);
    assert_true(nc_hlx_digest(model) == digest);
    nc_hlx_destroy(model);
}

/* The logits of a file under its name in the golden ones. */
static void compare_logits(json_object *golden, const char *name, const char *path,
                           nc_hlx_config c) {
    json_object *wanted = member(member(golden, "logits"), name);
    nc_hlx_model *model = imported(path, c);
    const float *logits;
    uint64_t wide[14];
    uint32_t tokens[14];
    size_t i;
    assert_int_equal(json_fields(member(golden, "tokens"), wide, 14), 14);
    for (i = 0; i < 14; i++) tokens[i] = (uint32_t)wide[i];
    assert_int_equal(nc_hlx_forward(model, tokens, NULL, 2, 7, NULL), NC_OK);
    logits = nc_hlx_logits(model);
    assert_int_equal(json_object_array_length(wanted), 14 * 13);
    for (i = 0; i < 14 * 13; i++) {
        const double value = json_object_get_double(json_object_array_get_idx(wanted, i));
        if (!(fabs((double)logits[i] - value) < 4e-6))
            fail_msg("%s: logit %zu is %.9g, not %.9g", path, i, (double)logits[i], value);
    }
    nc_hlx_destroy(model);
}

static void logits_are_those_of_transformers(void **state) {
    static const struct {
        const char *name, *path;
        uint32_t tied;
    } cases[] = {{"sharded", GPT2 "sharded", 1},
                 {"sharded", GPT2 "sharded/model.safetensors.index.json", 1},
                 {"sharded", GPT2 "sharded/", 0}, /* a matrix of its own gets the embedding */
                 {"untied", GPT2 "untied", 0},
                 {"untied", GPT2 "untied/model.safetensors", 0},
                 {"bf16", GPT2 "bf16.safetensors", 1},
                 {"f16", GPT2 "f16.safetensors", 1},
                 {"mixed", GPT2 "mixed.safetensors", 1},
                 {"epsilon", GPT2 "epsilon", 1}};
    json_object *golden = load_json(GPT2 "logits.json");
    size_t k;
    (void)state;
    for (k = 0; k < sizeof cases / sizeof *cases; k++) {
        nc_hlx_config c = file_config(cases[k].tied);
        if (!strcmp(cases[k].name, "epsilon")) {
            refused(c, cases[k].path, NULL, NC_ERR_MISMATCH, "another layer_norm_epsilon");
            c.norm_eps = 0.5f;
        }
        compare_logits(golden, cases[k].name, cases[k].path, c);
    }
    json_object_put(golden);
}

static void models_of_llm_c_have_its_logits(void **state) {
    static const char *const names[] = {"float32", "bfloat16"};
    json_object *golden = load_json(LLMC "logits.json");
    nc_hlx_import_options options = {.resize_vocab = 1};
    uint32_t heads = 0;
    size_t k;
    (void)state;
    for (k = 0; k < 2; k++) {
        nc_hlx_config c, wanted = file_config(1);
        nc_hlx_model *model;
        nc_error err;
        char path[64];
        snprintf(path, sizeof path, LLMC "%s.bin", names[k]);
        assert_int_equal(nc_hlx_read_config(&c, path, &err), NC_OK);
        wanted.batch_size = c.batch_size = 1;
        wanted.micro_batches = c.micro_batches;
        assert_memory_equal(&c, &wanted, sizeof c);
        c.batch_size = 2;
        compare_logits(golden, names[k], path, c);
        c.tied_output = 0;
        compare_logits(golden, names[k], path, c);
        c.vocab_size = 100; /* its rows of padding are no tokens */
        options.heads = &heads;
        model = model_of(c);
        assert_int_equal(nc_hlx_import_with(model, path, &options, &err), NC_OK);
        assert_true(nc_hlx_parameters(model, NULL)[13 * 8] == 0.0f && heads == 2);
        nc_hlx_destroy(model);
    }
    json_object_put(golden);
}

static void tied_and_untied_models_take_each_other_s_files(void **state) {
    const nc_hlx_import_options drop = {.drop_head = 1};
    nc_hlx_model *tied = imported(GPT2 "sharded", file_config(1));
    nc_hlx_model *own = imported(GPT2 "sharded", file_config(0));
    nc_error err;
    (void)state;
    assert_int_equal(nc_hlx_export(own, scratch, &err), NC_OK); /* with the same matrix twice */
    assert_int_equal(nc_hlx_import(tied, scratch, &err), NC_OK);
    refused(file_config(1), GPT2 "untied", NULL, NC_ERR_MISMATCH, "drop_head");
    assert_int_equal(nc_hlx_import_with(tied, GPT2 "untied", &drop, &err), NC_OK);
    assert_int_equal(nc_hlx_import(own, GPT2 "untied", &err), NC_OK);
    assert_memory_equal(nc_hlx_parameters(tied, NULL), nc_hlx_parameters(own, NULL),
                        13 * 8 * sizeof(float));
    nc_hlx_destroy(tied);
    nc_hlx_destroy(own);
    unlink(scratch);
}

static void tables_are_cut_or_extended_where_asked(void **state) {
    const nc_hlx_import_options positions = {.resize_positions = 1}, vocab = {.resize_vocab = 1};
    static const float zeros[8];
    nc_hlx_model *whole = imported(GPT2 "untied", file_config(0));
    const float *from = nc_hlx_parameters(whole, NULL);
    int longer;
    (void)state;
    for (longer = 0; longer < 2; longer++) {
        const uint32_t seq = longer ? 10 : 7, words = longer ? 16 : 11;
        nc_hlx_config c = file_config(0);
        nc_hlx_model *model;
        const float *to;
        size_t n;
        c.max_seq_len = seq;
        refused(c, GPT2 "untied", &vocab, NC_ERR_MISMATCH, "resize_positions");
        model = model_of(c);
        assert_int_equal(nc_hlx_import_with(model, GPT2 "untied", &positions, NULL), NC_OK);
        to = nc_hlx_parameters(model, &n);
        assert_memory_equal(to, from, (13 + (longer ? 8 : 7)) * 8 * sizeof(float));
        if (longer) assert_memory_equal(to + (13 + 8) * 8, zeros, sizeof zeros);
        assert_memory_equal(to + (13 + seq) * 8, from + (13 + 8) * 8,
                            (n - (13 + seq) * 8) * sizeof(float));
        nc_hlx_destroy(model);
        c = file_config(0);
        c.vocab_size = words;
        refused(c, GPT2 "untied", &positions, NC_ERR_MISMATCH, "resize_vocab");
        model = model_of(c);
        assert_int_equal(nc_hlx_import_with(model, GPT2 "untied", &vocab, NULL), NC_OK);
        to = nc_hlx_parameters(model, &n);
        assert_memory_equal(to, from, (longer ? 13 : 11) * 8 * sizeof(float));
        if (longer) assert_memory_equal(to + n - 8, zeros, sizeof zeros);
        assert_memory_equal(to + words * 8, from + 13 * 8, 64 * sizeof(float));
        nc_hlx_destroy(model);
    }
    nc_hlx_destroy(whole);
}

static void put_file(const void *data, size_t n) {
    FILE *file = fopen(scratch, "wb");
    assert_non_null(file);
    assert_int_equal(fwrite(data, 1, n, file), n);
    fclose(file);
}

/* A file of one model with its header changed: `from` becomes `to` of the same length. */
static void put_changed(const char *path, const char *from, const char *to) {
    char *data;
    size_t n, i, m = strlen(from);
    int changed = 0;
    assert_int_equal(nc_file_read(path, &data, &n, NULL), NC_OK);
    for (i = 0; i + m <= n && !changed; i++)
        if (!memcmp(data + i, from, m)) {
            memcpy(data + i, to, m);
            changed = 1;
        }
    assert_true(changed && strlen(to) == m);
    put_file(data, n);
    nc_file_free(data);
}

static void damaged_models_of_llm_c_are_refused(void **state) {
    static const struct {
        size_t word;
        uint8_t value;
        nc_status status;
        const char *says;
    } cases[] = {{1, 1, NC_ERR_UNSUPPORTED, "of version 1: 3"},
                 {1, 5, NC_ERR_FORMAT, "12416 bytes are not 2848 values of 2"},
                 {2, 9, NC_ERR_FORMAT, "values of 4 behind 1024"},
                 {3, 0, NC_ERR_FORMAT, "0 of 128 tokens"},
                 {3, 129, NC_ERR_FORMAT, "129 of 128 tokens"},
                 {4, 0, NC_ERR_FORMAT, "0 layers"},
                 {4, 3, NC_ERR_FORMAT, "12416 bytes are not"},
                 {5, 3, NC_ERR_FORMAT, "width 8, 3 heads"},
                 {6, 0, NC_ERR_FORMAT, "width 0"}};
    nc_hlx_config c = file_config(1);
    size_t n, i;
    char *data;
    nc_error err;
    (void)state;
    assert_int_equal(nc_file_read(LLMC "float32.bin", &data, &n, NULL), NC_OK);
    for (i = 0; i < sizeof cases / sizeof *cases; i++) {
        const char old = data[4 * cases[i].word];
        data[4 * cases[i].word] = (char)cases[i].value;
        put_file(data, n);
        refused(c, scratch, NULL, cases[i].status, cases[i].says);
        assert_int_equal(nc_hlx_read_config(&c, scratch, &err), NC_ERR_IO); /* none beside it */
        data[4 * cases[i].word] = old;
    }
    put_file(data, n - 1);
    refused(c, scratch, NULL, NC_ERR_FORMAT, "12415 bytes are not 2848");
    nc_file_free(data);
    c.num_heads = 4;
    refused(c, LLMC "float32.bin", NULL, NC_ERR_MISMATCH, "llm.c's header says n_head 2");
    c.num_heads = 2, c.activation = NC_HLX_SILU;
    refused(c, LLMC "float32.bin", NULL, NC_ERR_MISMATCH, "another activation");
    c = file_config(1), c.num_layers = 3;
    refused(c, LLMC "float32.bin", NULL, NC_ERR_MISMATCH, "'h.2.ln_1.weight' is missing");
    c = file_config(1), c.vocab_size = 12;
    refused(c, LLMC "float32.bin", NULL, NC_ERR_MISMATCH, "13 rows, the model's 12");
    unlink(scratch);
}

static void files_of_other_formats_are_refused_by_name(void **state) {
    static const struct {
        const char *first, *says;
    } cases[] = {
        {"PK\3\4 a zip archive", "pickle of PyTorch: give its tensors (of nanoGPT's ckpt.pt"},
        {"\x80\2 a stream", "old pickle"},
        {"GGUF\3 and more", "GGUF"},
        {"NCHLXCKP and more", "a checkpoint of nc_hlx.h"},
        {"\xC7\xD7\x34\1 state", "llm.c's tests"},
        {"\x8F\xD8\x34\1 state", "llm.c's training"},
        {"\xA3\xD9\x34\1 model", "a Llama of llm.c"}};
    static const char *const json = "build/test_index.json";
    nc_hlx_config c;
    nc_error err;
    size_t i;
    (void)state;
    for (i = 0; i < sizeof cases / sizeof *cases; i++) {
        put_file(cases[i].first, strlen(cases[i].first));
        refused(file_config(1), scratch, NULL, NC_ERR_UNSUPPORTED, cases[i].says);
        assert_int_equal(rename(scratch, json), 0);
        assert_int_equal(nc_hlx_read_config(&c, json, &err), NC_ERR_UNSUPPORTED);
        if (!strstr(err.message, cases[i].says)) fail_msg("'%s'", err.message);
        unlink(json);
    }
    put_file("PK\3\4\0\0\0\0{}", 10); /* the length of a header of 67 MB */
    refused(file_config(1), scratch, NULL, NC_ERR_FORMAT, "");
    unlink(scratch);
}

static void what_does_not_fit_is_refused_by_name(void **state) {
    static const char path[] = GPT2 "mixed.safetensors";
    static const struct {
        const char *from, *to;
        nc_status status;
        const char *says;
    } cases[] = {
        {"h.1.ln_2.bias\"", "h.1.ln_9.bias\"", NC_ERR_MISMATCH, "no tensor of this model"},
        {"h.1.ln_2.bias\"", "h.2.ln_2.bias\"", NC_ERR_MISMATCH, "no tensor of this model"},
        {"h.1.ln_2.bias\"", "h.1.ln_1.bias\"", NC_ERR_MISMATCH, "is there twice"},
        {"h.1.ln_2.bias\"", "h.7.attn.bias\"", NC_ERR_MISMATCH, "'h.1.ln_2.bias' is missing"},
        {"\"BF16\"", "\"I16\" ", NC_ERR_UNSUPPORTED, "is I16, not F32"},
        {"\"BF16\"", "\"U16\" ", NC_ERR_UNSUPPORTED, "is U16, not F32"}};
    nc_hlx_config c = file_config(1);
    size_t i;
    (void)state;
    for (i = 0; i < sizeof cases / sizeof *cases; i++) {
        put_changed(path, cases[i].from, cases[i].to);
        refused(c, scratch, NULL, cases[i].status, cases[i].says);
    }
    put_changed(path, "[8,24]", "[24,8]"); /* as nanoGPT has it */
    refused(c, scratch, NULL, NC_ERR_MISMATCH,
            "is transposed (24, 8): here it is (inputs, outputs)");
    c.ffn_dim = 40;
    refused(c, path, NULL, NC_ERR_MISMATCH, "another shape");
    refused(file_config(1), "tests", NULL, NC_ERR_IO, "cannot read 'tests'");
    refused(file_config(1), "tests/none", NULL, NC_ERR_IO, "cannot open");
    unlink(scratch);
}

/* Metadata with escapes and a value of a megabyte; heads that differ from the model's. */
static void metadata_of_any_length_is_read_and_its_heads_are_compared(void **state) {
    const size_t length = 1 << 20;
    nc_hlx_config c = file_config(0);
    nc_hlx_model *model = imported(GPT2 "untied", c), *other;
    size_t count;
    const float *values = nc_hlx_parameters(model, &count);
    char *file, *at, *data;
    size_t n, bytes;
    nc_error err;
    uint64_t old = 0;
    FILE *to;
    (void)state;
    assert_int_equal(nc_hlx_export(model, scratch, &err), NC_OK);
    c.num_heads = 4;
    refused(c, scratch, NULL, NC_ERR_MISMATCH, "n_head '2', the model has 4 heads");
    assert_int_equal(nc_file_read(scratch, &file, &bytes, &err), NC_OK);
    for (n = 8; n-- > 0;) old = old << 8 | (uint8_t)file[n];
    data = (char *)calloc(1, length + bytes + 64);
    at = data + 8 + sprintf(data + 8, "{\"__metadata__\":{\"\\u00e9\\\"\\ud83d\\ude00\":\"");
    memset(at, 'x', length);
    at += length;
    at += sprintf(at, "\",");
    memcpy(at, file + 8 + 17, bytes - 25); /* behind {"__metadata__":{ */
    n = (size_t)(at - data) - 8 + (size_t)old - 17;
    for (count = 0; count < 8; count++) data[count] = (char)((uint64_t)n >> (8 * count) & 255);
    to = fopen(scratch, "wb");
    assert_non_null(to);
    fwrite(data, 1, (size_t)(at - data) + bytes - 25, to);
    fclose(to);
    other = imported(scratch, file_config(0));
    assert_true(nc_hlx_digest(other) == nc_hlx_digest(model));
    assert_true(nc_hlx_parameters(other, NULL)[0] == values[0]);
    nc_file_free(file);
    free(data);
    nc_hlx_destroy(model);
    nc_hlx_destroy(other);
    unlink(scratch);
}

static void put_json(const char *text) {
    FILE *file = fopen("build/test_index.json", "w");
    assert_non_null(file);
    fputs(text, file);
    fclose(file);
}

static void a_damaged_index_is_refused(void **state) {
    static const struct {
        const char *text;
        nc_status status;
        const char *says;
    } cases[] = {{"", NC_ERR_FORMAT, "expected '{'"},
                 {"[]", NC_ERR_FORMAT, "expected '{'"},
                 {"{}", NC_ERR_FORMAT, "without a weight_map"},
                 {"{\"weight_map\":{}}", NC_ERR_MISMATCH, "'wte.weight' is missing"},
                 {"{\"weight_map\":{},\"weight_map\":{}}", NC_ERR_FORMAT, "a second weight_map"},
                 {"{\"weight_map\":{}} x", NC_ERR_FORMAT, "text after"},
                 {"{\"weight_map\":{\"wte.weight\":\"../secret\"}}", NC_ERR_FORMAT, "'../secret'"},
                 {"{\"weight_map\":{\"wte.weight\":\"\"}}", NC_ERR_FORMAT, "no name of a file"},
                 {"{\"weight_map\":{\"wte.weight\":\"test_none\"}}", NC_ERR_IO, "build/test_none"},
                 {"{\"weight_map\":{\"wte.weight\":7}}", NC_ERR_FORMAT, "expected a string"},
                 {"{\"weight_map\":{\"nothing\":\"test_weights.safetensors\"}}", NC_ERR_MISMATCH,
                  "'nothing' of the index"},
                 {"{\"weight_map\":{\"wte.weight\":\"test_weights.safetensors\"}}", NC_ERR_MISMATCH,
                  "tensors, the index 1"},
                 {"{\"weight_map\":{\"wte.weight\":\"test_weights.safetensors\",\"wte.weight\":"
                  "\"test_weights.safetensors\"}}",
                  NC_ERR_MISMATCH, "'wte.weight' twice"},
                 {"{\"weight_map\":{\"lm_head.weight\":\"test_weights.safetensors\"}}",
                  NC_ERR_MISMATCH, "'lm_head.weight' is not in the shard"}};
    nc_hlx_model *model = imported(GPT2 "sharded", file_config(1));
    size_t i;
    (void)state;
    assert_int_equal(nc_hlx_export(model, scratch, NULL), NC_OK);
    for (i = 0; i < sizeof cases / sizeof *cases; i++) {
        put_json(cases[i].text);
        refused(file_config(1), "build/test_index.json", NULL, cases[i].status, cases[i].says);
    }
    nc_hlx_destroy(model);
    unlink(scratch);
    unlink("build/test_index.json");
}

static void configurations_are_read_and_written(void **state) {
    static const char folder[] = "build/test_weights", model_file[] = "/model.safetensors";
    nc_hlx_config c;
    nc_hlx_model *model, *other;
    uint64_t digest;
    nc_error err;
    uint32_t tied;
    char path[64], *config;
    size_t n;
    (void)state;
    mkdir(folder, 0777);
    for (tied = 0; tied < 2; tied++) {
        const nc_hlx_config wanted = file_config(tied);
        assert_int_equal(nc_hlx_read_config(&c, tied ? GPT2 "sharded" : GPT2 "untied", &err),
                         NC_OK);
        assert_true(c.vocab_size == wanted.vocab_size && c.d_model == wanted.d_model &&
                    c.num_layers == wanted.num_layers && c.num_heads == wanted.num_heads &&
                    c.ffn_dim == wanted.ffn_dim && c.max_seq_len == wanted.max_seq_len &&
                    c.tied_output == tied && c.batch_size == 1 && c.dropout == 0.0f);
        c.dropout = 0.1f;
        c.norm_eps = tied ? 1e-6f : 0.0f;
        model = model_of(c);
        digest = nc_hlx_digest(model);
        assert_int_equal(nc_hlx_export_folder(model, folder, &err), NC_OK);
        nc_hlx_destroy(model);
        assert_int_equal(nc_file_read("build/test_weights/config.json", &config, &n, &err), NC_OK);
        assert_non_null(strstr(config, tied ? "\"layer_norm_epsilon\": 1e-06,"
                                            : "\"layer_norm_epsilon\": 1e-05,"));
        assert_non_null(strstr(config, "\"resid_pdrop\": 0.1,"));
        nc_file_free(config);
        c.dropout = 0.0f;
        assert_int_equal(nc_hlx_read_config(&c, folder, &err), NC_OK);
        assert_true(c.norm_eps == (tied ? 1e-6f : 0.0f));
        model = imported(folder, c);
        assert_true(nc_hlx_digest(model) == digest);
        nc_hlx_destroy(model);
    }
    c.num_heads = 4;
    refused(c, folder, NULL, NC_ERR_MISMATCH, "the model has 4 heads");
    refused(c, GPT2 "sharded", NULL, NC_ERR_MISMATCH, "config.json says n_head 2");
    model = model_of(file_config(1)); /* a folder that says untied, and lacks the matrix */
    snprintf(path, sizeof path, "%s%s", folder, model_file);
    other = imported(GPT2 "untied", file_config(0));
    assert_int_equal(nc_hlx_export_folder(other, folder, &err), NC_OK);
    nc_hlx_destroy(other);
    assert_int_equal(nc_hlx_export(model, path, &err), NC_OK);
    refused(file_config(0), folder, NULL, NC_ERR_MISMATCH, "not tied");
    assert_int_equal(nc_hlx_export_folder(model, "build/none/none", &err), NC_ERR_IO);
    nc_hlx_destroy(model);
    unlink(path);
    unlink("build/test_weights/config.json");
    rmdir(folder);
}

static void a_folder_of_another_model_and_a_file_are_left_alone(void **state) {
    static const char folder[] = "build/test_weights",
                      index[] = "build/test_weights/model.safetensors.index.json";
    nc_hlx_model *model = model_of(file_config(1));
    nc_error err;
    FILE *file;
    (void)state;
    put_file("a word", 6);
    assert_int_equal(nc_hlx_export_folder(model, scratch, &err), NC_ERR_ARG);
    assert_non_null(
        strstr(err.message, "'build/test_weights.safetensors' is a file, not a folder"));
    unlink(scratch);
    mkdir(folder, 0777);
    file = fopen(index, "w");
    assert_non_null(file);
    fclose(file);
    assert_int_equal(nc_hlx_export_folder(model, folder, &err), NC_ERR_ARG);
    assert_non_null(strstr(err.message, "has a model in shards"));
    unlink(index);
    assert_int_equal(rmdir(folder), 0); /* nothing was written */
    nc_hlx_destroy(model);
}

static void what_files_say_of_heads_is_told(void **state) {
    static const struct {
        const char *path;
        uint32_t tied, heads;
    } cases[] = {{GPT2 "bf16.safetensors", 1, 0},
                 {GPT2 "sharded", 1, 2},
                 {GPT2 "sharded/model.safetensors.index.json", 1, 2},
                 {GPT2 "untied/model.safetensors", 0, 2}};
    nc_hlx_import_options options;
    nc_hlx_config c;
    uint32_t heads;
    size_t i;
    (void)state;
    memset(&options, 0, sizeof options);
    options.heads = &heads;
    for (i = 0; i < sizeof cases / sizeof *cases; i++) {
        nc_hlx_model *model = model_of(file_config(cases[i].tied));
        heads = 99;
        assert_int_equal(nc_hlx_import_with(model, cases[i].path, &options, NULL), NC_OK);
        assert_int_equal(heads, cases[i].heads);
        assert_int_equal(nc_hlx_export(model, scratch, NULL), NC_OK);
        assert_int_equal(nc_hlx_import_with(model, scratch, &options, NULL), NC_OK);
        assert_int_equal(heads, 2);
        nc_hlx_destroy(model);
    }
    assert_int_equal(nc_hlx_read_config(&c, GPT2 "untied/model.safetensors", NULL), NC_OK);
    assert_int_equal(c.vocab_size, 13);
    c = file_config(0), c.num_heads = 4;
    refused(c, GPT2 "untied/model.safetensors", NULL, NC_ERR_MISMATCH, "config.json says n_head 2");
    unlink(scratch);
}

static void a_configuration_that_is_not_computed_is_refused_by_name(void **state) {
    static const struct {
        const char *text;
        nc_status status;
        const char *says;
    } cases[] = {
        {"{\"rotary_pct\":1,\"model_type\":\"gpt_neox\"}", NC_ERR_UNSUPPORTED, "'gpt_neox'"},
        {"{}", NC_ERR_UNSUPPORTED, "no model_type"},
        {"{\"n_layer\":2}", NC_ERR_UNSUPPORTED, "no model_type"},
        {"{\"model_type\":\"gpt2\"", NC_ERR_FORMAT, "expected"},
        {"{\"model_type\":\"gpt2\"} {", NC_ERR_FORMAT, "text after"},
        {"{\"model_type\":\"gpt2\",\"rotary_dim\":8}", NC_ERR_UNSUPPORTED, "'rotary_dim'"},
        {"{\"model_type\":\"gpt2\",\"activation_function\":\"relu\"}", NC_ERR_UNSUPPORTED,
         "'relu'"},
        {"{\"model_type\":\"gpt2\",\"layer_norm_epsilon\":0}", NC_ERR_UNSUPPORTED,
         "layer_norm_epsilon 0 is not above 0"},
        {"{\"model_type\":\"gpt2\",\"layer_norm_epsilon\":2}", NC_ERR_LIMIT,
         "layer_norm_epsilon 2 is not below 1"},
        {"{\"n_head\":6,\"model_type\":\"gpt2\",\"n_head\":4}", NC_ERR_FORMAT,
         "'n_head' stands twice in the configuration"},
        {"{\"model_type\":\"gpt2\",\"use_cache\":true,\"use_cache\":true}", NC_ERR_FORMAT,
         "'use_cache' stands twice"},
        {"{\"model_type\":\"gpt2\",\"model_type\":\"gpt2\"}", NC_ERR_FORMAT,
         "'model_type' stands twice"},
        {"{\"model_type\":\"gpt2\",\"pruned_heads\":{\"0\":[1]}}", NC_ERR_UNSUPPORTED,
         "pruned_heads other than {}"},
        {"{\"model_type\":\"gpt2\",\"scale_attn_weights\":false}", NC_ERR_UNSUPPORTED,
         "scale_attn_weights other than true"},
        {"{\"model_type\":\"gpt2\",\"scale_attn_by_inverse_layer_idx\":true}", NC_ERR_UNSUPPORTED,
         "scale_attn_by_inverse_layer_idx other than false"},
        {"{\"model_type\":\"gpt2\",\"add_cross_attention\":true}", NC_ERR_UNSUPPORTED,
         "add_cross_attention"},
        {"{\"model_type\":\"gpt2\",\"tie_word_embeddings\":1}", NC_ERR_FORMAT, "true or false"},
        {"{\"model_type\":\"gpt2\",\"n_embd\":0}", NC_ERR_FORMAT, "n_embd is 0"},
        {"{\"model_type\":\"gpt2\",\"n_embd\":99999999}", NC_ERR_LIMIT, "a number above"},
        {"{\"model_type\":\"gpt2\",\"n_embd\":770}", NC_ERR_LIMIT, "n_embd 770 with n_head 12"},
        {"{\"model_type\":\"gpt2\",\"n_ctx\":512}", NC_ERR_UNSUPPORTED, "n_ctx 512"}};
    nc_hlx_config c;
    nc_error err;
    size_t i;
    (void)state;
    for (i = 0; i < sizeof cases / sizeof *cases; i++) {
        put_json(cases[i].text);
        assert_int_equal(nc_hlx_read_config(&c, "build/test_index.json", &err), cases[i].status);
        if (!strstr(err.message, cases[i].says)) fail_msg("'%s'", err.message);
    }
    /* GPT-2 of 124M parameters, with members that published files of several years have */
    put_json(
        "{\"model_type\":\"gpt2\",\"n_inner\":null,\"n_special\":0,\"pruned_heads\":{},"
        "\"predict_special_tokens\":true,\"_attn_implementation_autoset\":true,\"n_ctx\":1024,"
        "\"_num_labels\":1,\"layer_norm_epsilon\":1e-05,\"finetuning_task\":null,"
        "\"task_specific_params\":{\"text-generation\":{\"do_sample\":true,\"max_length\":50}},"
        "\"id2label\":{\"0\":\"LABEL_0\"},\"output_past\":true,\"xla_device\":null}");
    assert_int_equal(nc_hlx_read_config(&c, "build/test_index.json", &err), NC_OK);
    assert_true(c.vocab_size == 50257 && c.d_model == 768 && c.ffn_dim == 3072 &&
                c.num_layers == 12 && c.num_heads == 12 && c.max_seq_len == 1024 && c.tied_output);
    unlink("build/test_index.json");
}

static void failed_allocations_leave_the_model_and_no_memory(void **state) {
    failing_memory memory = {-1, 0, 0};
    const nc_allocator hooks = {failing_alloc, failing_free, &memory};
    const nc_hlx_config c = file_config(1);
    nc_hlx_model *model;
    uint64_t digest;
    size_t live;
    long k;
    nc_status status = NC_ERR_MEMORY;
    (void)state;
    assert_int_equal(nc_hlx_create(&model, &c, &hooks), NC_OK);
    nc_hlx_init_weights(model, 7);
    digest = nc_hlx_digest(model);
    live = memory.bytes;
    for (k = 0; status != NC_OK; k++) {
        nc_error err;
        assert_true(k < 100 && nc_hlx_digest(model) == digest);
        memory.until_failure = k;
        status = nc_hlx_import(model, GPT2 "sharded", &err);
        assert_true(status == NC_OK || (status == NC_ERR_MEMORY && err.message[0]));
        assert_int_equal(memory.bytes, live);
    }
    assert_true(k > 3);
    nc_hlx_destroy(model);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(logits_are_those_of_transformers),
        cmocka_unit_test(models_of_llm_c_have_its_logits),
        cmocka_unit_test(damaged_models_of_llm_c_are_refused),
        cmocka_unit_test(files_of_other_formats_are_refused_by_name),
        cmocka_unit_test(tied_and_untied_models_take_each_other_s_files),
        cmocka_unit_test(tables_are_cut_or_extended_where_asked),
        cmocka_unit_test(what_does_not_fit_is_refused_by_name),
        cmocka_unit_test(metadata_of_any_length_is_read_and_its_heads_are_compared),
        cmocka_unit_test(a_damaged_index_is_refused),
        cmocka_unit_test(configurations_are_read_and_written),
        cmocka_unit_test(a_folder_of_another_model_and_a_file_are_left_alone),
        cmocka_unit_test(what_files_say_of_heads_is_told),
        cmocka_unit_test(a_configuration_that_is_not_computed_is_refused_by_name),
        cmocka_unit_test(failed_allocations_leave_the_model_and_no_memory),
    };
    return cmocka_run_group_tests_name("hlx weights", tests, NULL, NULL);
}
