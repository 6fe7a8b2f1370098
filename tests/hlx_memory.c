/* nc_hlx.h: functions that allocate say so when they get no memory, lose none, and leave what they
 * were given as it was. */
#include "../nc_hlx.h"
#include "failing_malloc.h"

#define TOKENIZERS TEST_DATA "hlx/tokenizers/"
#define GPT2 TEST_DATA "hlx/gpt2/"

enum { SEQ = 8 };
static const char text[] =
    "the cat sat on the mat, the hat sat on the cat; that is that, the end.\n"
    "the bat that sat on the hat is the cat's, and that is the end of that.\n";
static const char path[] = "build/hlx_memory_test.bin", folder[] = "build/hlx_memory_folder";
static nc_hlx_model *model, *llama;
static nc_hlx_cache *cache;
static nc_hlx_bpe *bpe;
static nc_hlx_config config;
static nc_error err;

static void seen_model(const nc_hlx_model *m) { seen(nc_hlx_digest(m)); }

static nc_status bpe_made(nc_status status, nc_hlx_bpe *made) {
    if (status != NC_OK) assert_null(made);
    if (made) seen(nc_hlx_bpe_digest(made));
    nc_hlx_bpe_destroy(made);
    return status;
}
static nc_status bpe_train(void) {
    nc_hlx_bpe *made;
    const nc_status status = nc_hlx_bpe_train(&made, text, sizeof text - 1, 300, NULL, NULL, NULL);
    return bpe_made(status, made);
}
static nc_status bpe_train_pattern(void) {
    nc_hlx_bpe *made;
    const nc_status status = nc_hlx_bpe_train_pattern(&made, text, sizeof text - 1, 270,
                                                      NC_HLX_PATTERN_GPT2, NULL, NULL, NULL);
    return bpe_made(status, made);
}
static nc_status open_tokenizer(const char *file) {
    nc_hlx_bpe *made;
    const nc_status status = nc_hlx_bpe_open(&made, file, 0, NULL, &err);
    return bpe_made(status, made);
}
static nc_status bpe_load(void) {
    nc_hlx_bpe *made;
    const nc_status status = nc_hlx_bpe_load(&made, path, NULL, &err);
    return bpe_made(status, made);
}
static nc_status bpe_open_json(void) { return open_tokenizer(TOKENIZERS "qwen2.json"); }
static nc_status bpe_open_vocab(void) { return open_tokenizer(TOKENIZERS "vocab.json"); }
static nc_status bpe_open_ranks(void) {
    nc_hlx_bpe *made;
    const nc_status status =
        nc_hlx_bpe_open(&made, TOKENIZERS "ranks.tiktoken", NC_HLX_PATTERN_GPT2, NULL, &err);
    return bpe_made(status, made);
}
static nc_status bpe_save(void) { return nc_hlx_bpe_save(bpe, path, &err); }
static nc_status bpe_save_json(void) { return nc_hlx_bpe_save_json(bpe, path, &err); }
static nc_status data_made(nc_status status, nc_hlx_data *data) {
    size_t i;
    if (status != NC_OK) assert_true(!data->train.data && !data->source.file.data);
    for (i = 0; status == NC_OK && i < data->train.count * data->train.token_bytes; i++)
        seen(data->train.data[i]);
    nc_hlx_data_close(data);
    return status;
}
/* A device is read, not mapped. */
static nc_status file_open(void) {
    nc_hlx_file opened;
    const nc_status status = nc_hlx_file_open(&opened, "/dev/null", &err);
    if (status != NC_OK) assert_null(opened.data);
    if (status == NC_OK) assert_true(opened.data && !opened.mapped);
    seen(opened.bytes);
    nc_hlx_file_close(&opened);
    return status;
}
static nc_status data_open(void) {
    nc_hlx_data data;
    const nc_status status =
        nc_hlx_data_open(&data, "examples/data/genesis.txt", 1, bpe, SEQ, 1, &err);
    may_do_without = 1; /* for what it remembers of words */
    return data_made(status, &data);
}
static nc_status data_open_with(void) {
    nc_hlx_data data;
    nc_hlx_data_options how;
    nc_status status;
    memset(&how, 0, sizeof how);
    how.path = how.valid_path = "examples/data/genesis.txt";
    how.seq = SEQ;
    how.bpe = bpe;
    how.apart = 1;
    status = nc_hlx_data_open_with(&data, &how, &err);
    may_do_without = 1;
    return data_made(status, &data);
}
static nc_status model_made(nc_status status, nc_hlx_model *made) {
    if (status != NC_OK) assert_null(made);
    if (made) seen_model(made);
    nc_hlx_destroy(made);
    return status;
}
static nc_status create(void) {
    nc_hlx_model *made;
    const nc_status status = nc_hlx_create(&made, &config, NULL);
    return model_made(status, made);
}
static nc_status create_shard(void) {
    nc_hlx_model *made;
    const nc_status status = nc_hlx_create_shard(&made, &config, 3, 50, NULL);
    return model_made(status, made);
}
static nc_status create_inference(void) {
    nc_hlx_model *made;
    const nc_status status = nc_hlx_create_inference(&made, &config, NULL);
    return model_made(status, made);
}
static nc_status load(void) {
    nc_hlx_model *made;
    const nc_status status = nc_hlx_load(&made, NULL, path, 0, NULL, &err);
    return model_made(status, made);
}
static nc_status load_shard(void) {
    nc_hlx_model *made;
    const nc_status status = nc_hlx_load_shard(&made, NULL, path, 0, 3, 50, NULL, &err);
    return model_made(status, made);
}
static nc_status load_inference(void) {
    nc_hlx_model *made;
    const nc_status status = nc_hlx_load_inference(&made, path, 0, NULL, &err);
    return model_made(status, made);
}
static nc_status no_moments(void *user, uint32_t moment, size_t first, size_t count, float *out) {
    (void)user;
    (void)moment;
    (void)first;
    memset(out, 0, count * sizeof *out);
    return NC_OK;
}
static nc_status save(void) { return nc_hlx_save(model, NULL, path, &err); }
static nc_status save_shards(void) {
    return nc_hlx_save_shards(model, NULL, path, no_moments, NULL, &err);
}
static nc_status export_gpt2(void) { return nc_hlx_export(model, path, &err); }
static nc_status export_llama(void) { return nc_hlx_export(llama, path, &err); }
static nc_status export_folder(void) { return nc_hlx_export_folder(llama, folder, &err); }
static nc_status config_read(const char *from) {
    nc_hlx_config read;
    nc_status status;
    memset(&read, 0, sizeof read);
    status = nc_hlx_read_config(&read, from, &err);
    seen(read.d_model);
    return status;
}
static nc_status read_config(void) { return config_read(folder); }
static nc_status read_config_beside(void) {
    return config_read("build/hlx_memory_folder/model.safetensors");
}
static nc_status import_from(void) {
    const nc_status status = nc_hlx_import(llama, folder, &err);
    seen_model(llama);
    return status;
}
static nc_status import_with(void) {
    nc_hlx_import_options how;
    nc_status status;
    memset(&how, 0, sizeof how);
    how.resize_vocab = 1;
    status = nc_hlx_import_with(model, GPT2 "sharded", &how, &err);
    seen_model(model);
    return status;
}
static nc_status cache_create(void) {
    nc_hlx_cache *made;
    const nc_status status = nc_hlx_cache_create(&made, model, 2);
    if (status != NC_OK) assert_null(made);
    nc_hlx_cache_destroy(made);
    return status;
}
static void seen_logits(const float *logits, uint32_t n) {
    uint32_t i;
    for (i = 0; i < n; i++) {
        uint32_t bits;
        memcpy(&bits, logits + i, sizeof bits);
        seen(bits);
    }
}
static nc_status quantize(nc_hlx_weights format) {
    uint64_t bytes = 0;
    const nc_status status = nc_hlx_cache_quantize(cache, format, &bytes);
    const long k = until_failure;
    const uint32_t token = 5;
    until_failure = -1;
    if (status == NC_OK) {
        seen(bytes);
        assert_int_equal(nc_hlx_cache_append(cache, &token, NULL), NC_OK);
        seen_logits(nc_hlx_cache_logits(cache, 0), 256);
    }
    assert_int_equal(nc_hlx_cache_quantize(cache, NC_HLX_WEIGHTS_FLOAT32, NULL), NC_OK);
    until_failure = k;
    return status;
}
static nc_status cache_quantize_int8(void) { return quantize(NC_HLX_WEIGHTS_INT8); }
static nc_status cache_quantize_nvfp4(void) { return quantize(NC_HLX_WEIGHTS_NVFP4); }
static nc_status cache_append(void) { /* only weights of 4 bits take memory */
    const uint32_t tokens[2] = {5, 7}, counts[1] = {2};
    long k = until_failure;
    nc_status status;
    until_failure = -1;
    assert_int_equal(nc_hlx_cache_quantize(cache, NC_HLX_WEIGHTS_NVFP4, NULL), NC_OK);
    until_failure = k;
    status = nc_hlx_cache_append(cache, tokens, counts);
    k = until_failure;
    until_failure = -1;
    if (status != NC_OK) {
        assert_int_equal(nc_hlx_cache_length(cache, 0), 0);
        assert_int_equal(nc_hlx_cache_append(cache, tokens, counts), NC_OK);
    }
    made_whole = 1;
    seen_logits(nc_hlx_cache_logits(cache, 0), 256);
    assert_int_equal(nc_hlx_cache_quantize(cache, NC_HLX_WEIGHTS_FLOAT32, NULL), NC_OK);
    until_failure = k;
    return status;
}
/* Models that make their cache with the first token. */
static nc_status with_model(nc_status (*call)(nc_hlx_model *)) {
    nc_hlx_model *m;
    long left = until_failure;
    nc_status status;
    until_failure = -1;
    assert_int_equal(nc_hlx_create(&m, &config, NULL), NC_OK);
    nc_hlx_init_weights(m, 3);
    until_failure = left;
    status = call(m);
    left = until_failure;
    until_failure = -1;
    if (status != NC_OK) assert_int_equal(call(m), NC_OK); /* again, with memory */
    nc_hlx_destroy(m);
    until_failure = left;
    return status;
}
static nc_status decode_in(nc_hlx_model *m) {
    const float other = 0.0f, *logits = &other;
    const nc_status status = nc_hlx_decode(m, 5, 0, &logits);
    if (status != NC_OK) assert_null(logits);
    if (status == NC_OK) seen_logits(logits, 256);
    return status;
}
static nc_status sample_in(nc_hlx_model *m) {
    uint8_t out[20];
    const nc_status status = nc_hlx_sample(m, (const uint8_t *)text, 5, NULL, out, sizeof out);
    size_t i;
    for (i = 0; status == NC_OK && i < sizeof out; i++) seen(out[i]);
    return status;
}
static nc_status sample_tokens_in(nc_hlx_model *m) {
    static const uint32_t prompt[3] = {1, 2, 3};
    uint32_t out[20], i;
    const nc_status status = nc_hlx_sample_tokens(m, prompt, 3, NULL, out, 20);
    for (i = 0; status == NC_OK && i < 20; i++) seen(out[i]);
    return status;
}
static nc_status decode(void) { return with_model(decode_in); }
static nc_status sample(void) { return with_model(sample_in); }
static nc_status sample_tokens(void) { return with_model(sample_tokens_in); }

/* Special tokens of three kinds: the next id, one beyond a gap, one in the gap. A tokenizer that got
 * no memory is the one that it was. */
static nc_status add_special(void) {
    static const uint32_t beyond[3] = {0, 500, 100};
    static const char *const names[3] = {"<|end|>", "<|far|>", "<|gap|>"};
    const long wanted = until_failure;
    nc_hlx_bpe *made;
    nc_status status = NC_OK;
    long left;
    uint32_t ids;
    size_t i;
    until_failure = -1;
    assert_int_equal(nc_hlx_bpe_open(&made, TOKENIZERS "qwen2.json", 0, NULL, &err), NC_OK);
    ids = nc_hlx_bpe_vocab(made);
    until_failure = wanted;
    for (i = 0; i < 3; i++) {
        const uint64_t digest = nc_hlx_bpe_digest(made);
        const uint32_t vocab = nc_hlx_bpe_vocab(made);
        const nc_status one = nc_hlx_bpe_add_special(made, names[i], ids + beyond[i]);
        if (one == NC_OK) continue;
        status = one;
        assert_int_equal(nc_hlx_bpe_vocab(made), vocab);
        assert_true(nc_hlx_bpe_digest(made) == digest);
        assert_int_equal(nc_hlx_bpe_find(made, names[i], strlen(names[i])), UINT32_MAX);
        assert_int_equal(nc_hlx_bpe_add_special(made, names[i], ids + beyond[i]), NC_OK);
    }
    left = until_failure;
    until_failure = -1;
    seen(nc_hlx_bpe_digest(made));
    nc_hlx_bpe_destroy(made);
    until_failure = left;
    return status;
}

static void tokenizers_and_data_may_get_no_memory(void **state) {
    static const sweep_case cases[] = {
        {"bpe_train", bpe_train},
        {"bpe_train_pattern", bpe_train_pattern},
        {"bpe_add_special", add_special},
        {"bpe_open, tokenizer.json", bpe_open_json},
        {"bpe_open, vocab.json", bpe_open_vocab},
        {"bpe_open, ranks", bpe_open_ranks},
        {"bpe_save_json", bpe_save_json},
        {"bpe_save", bpe_save},
        {"bpe_load", bpe_load},
        {"file_open", file_open},
        {"data_open", data_open},
        {"data_open_with", data_open_with},
    };
    (void)state;
    assert_int_equal(nc_hlx_bpe_train_pattern(&bpe, text, sizeof text - 1, 270, NC_HLX_PATTERN_GPT2,
                                              NULL, NULL, NULL),
                     NC_OK);
    sweep_all(cases, sizeof cases / sizeof *cases);
    nc_hlx_bpe_destroy(bpe);
    (void)remove(path);
    assert_int_equal(held, 0);
}

/* Encoding needs no memory: it is slower without, and gives the same tokens. */
static void texts_are_encoded_without_memory(void **state) {
    enum { BYTES = 70000 };
    char *long_text = __real_malloc(BYTES);
    uint32_t *with = __real_malloc(2 * (BYTES + 16) * sizeof *with), *without = with + BYTES + 16;
    size_t i, n, m;
    long k;
    (void)state;
    assert_true(long_text && with);
    assert_int_equal(nc_hlx_bpe_train_pattern(&bpe, text, sizeof text - 1, 270, NC_HLX_PATTERN_GPT2,
                                              NULL, NULL, NULL),
                     NC_OK);
    for (i = 0; i < BYTES; i++) long_text[i] = text[i % (sizeof text - 1)];
    memset(long_text + 100, 'a', 3000); /* one piece of many tokens */
    n = nc_hlx_bpe_encode(bpe, long_text, BYTES, with);
    for (k = 0; k < 4; k++) {
        until_failure = k;
        m = nc_hlx_bpe_encode(bpe, long_text, BYTES, without);
        assert_true(m == n && !memcmp(with, without, n * sizeof *with));
        until_failure = k;
        m = nc_hlx_bpe_encode_document(bpe, long_text, BYTES, without);
        assert_true(m == n && !memcmp(with, without, n * sizeof *with));
    }
    until_failure = -1;
    nc_hlx_bpe_destroy(bpe);
    __real_free(long_text);
    __real_free(with);
    assert_int_equal(held, 0);
}

static void models_may_get_no_memory(void **state) {
    static const sweep_case cases[] = {
        {"create", create},
        {"create_shard", create_shard},
        {"create_inference", create_inference},
        {"save", save},
        {"load", load},
        {"load_shard", load_shard},
        {"load_inference", load_inference},
        {"save_shards", save_shards},
        {"export", export_gpt2},
        {"export, llama", export_llama},
        {"export_folder", export_folder},
        {"read_config", read_config},
        {"read_config, weights", read_config_beside},
        {"import", import_from},
        {"cache_create", cache_create},
        {"cache_quantize, int8", cache_quantize_int8},
        {"cache_quantize, nvfp4", cache_quantize_nvfp4},
        {"cache_append", cache_append},
        {"decode", decode},
        {"sample", sample},
        {"sample_tokens", sample_tokens},
    };
    nc_hlx_config c;
    (void)state;
    memset(&config, 0, sizeof config);
    config.d_model = 16;
    config.num_layers = 2;
    config.num_heads = 2;
    config.ffn_dim = 32;
    config.max_seq_len = SEQ;
    config.batch_size = 1;
    c = config;
    c.rms_norm = c.rotary = c.gated_ffn = 1;
    c.activation = NC_HLX_SILU;
    c.biases = NC_HLX_BIASES_NONE;
    assert_int_equal(nc_hlx_create(&model, &config, NULL), NC_OK);
    assert_int_equal(nc_hlx_create(&llama, &c, NULL), NC_OK);
    nc_hlx_init_weights(model, 1);
    nc_hlx_init_weights(llama, 2);
    assert_int_equal(nc_hlx_cache_create(&cache, model, 1), NC_OK);
    (void)mkdir(folder, 0777);
    sweep_all(cases, sizeof cases / sizeof *cases);
    nc_hlx_cache_destroy(cache);
    nc_hlx_destroy(model);
    nc_hlx_destroy(llama);
    (void)remove("build/hlx_memory_folder/model.safetensors");
    (void)remove("build/hlx_memory_folder/config.json");
    (void)remove(folder);
    (void)remove(path);
    assert_int_equal(held, 0);
}

/* A model of GPT-2's shape keeps its weights until all of a file can be taken. */
static void imports_may_get_no_memory(void **state) {
    static const sweep_case cases[] = {{"import_with", import_with}};
    nc_hlx_config c;
    (void)state;
    memset(&c, 0, sizeof c);
    c.vocab_size = 15;
    c.d_model = 8;
    c.num_layers = c.num_heads = c.batch_size = 2;
    c.ffn_dim = 32;
    c.max_seq_len = 8;
    c.tied_output = 1;
    assert_int_equal(nc_hlx_create(&model, &c, NULL), NC_OK);
    sweep_all(cases, 1);
    nc_hlx_destroy(model);
    assert_int_equal(held, 0);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(tokenizers_and_data_may_get_no_memory),
        cmocka_unit_test(texts_are_encoded_without_memory),
        cmocka_unit_test(models_may_get_no_memory),
        cmocka_unit_test(imports_may_get_no_memory),
    };
    return cmocka_run_group_tests_name("hlx memory", tests, NULL, NULL);
}
