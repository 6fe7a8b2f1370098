/* nc_hlx.h: models that are only read: the bits of whole ones, from less memory, and no training. */
#include "test.h"
#include <unistd.h>
#include "../nc_hlx.h"

static const char text[] =
    "In the beginning was the word, and the word was a byte; and the byte was eight bits, and "
    "every bit was kept, on every machine, whatever the number of threads that carried it.";
enum { BATCH = 2, SEQ = 16, VOCAB = 256, FAMILIES = 5 };

/* GPT-2's blocks plain, with flash, in bfloat16 and with recomputation; LLaMA's. */
static nc_hlx_config config_of(int family) {
    nc_hlx_config c;
    memset(&c, 0, sizeof c);
    c.d_model = 24;
    c.num_layers = 4;
    c.ffn_dim = 40;
    c.max_seq_len = SEQ;
    c.batch_size = BATCH;
    c.dropout = family == 0 ? 0.5f : 0.0f;
    c.flash = family == 1;
    c.bf16 = family == 2;
    c.recompute = family == 3;
    if (family < 4) return c;
    c.rms_norm = c.rotary = c.gated_ffn = 1;
    c.num_kv_heads = 2;
    c.activation = NC_HLX_SILU;
    c.biases = NC_HLX_BIASES_NONE;
    return c;
}

/* A trained model, and a copy of it for inference. */
static void make(nc_hlx_model **whole, nc_hlx_model **read, int family, const nc_allocator *hooks) {
    const nc_hlx_config c = config_of(family);
    nc_hlx_loader loader;
    float *from, *to;
    size_t n, m;
    int step;
    assert_int_equal(nc_hlx_create(whole, &c, NULL), NC_OK);
    nc_hlx_init_weights(*whole, 3);
    assert_int_equal(nc_hlx_loader_init(&loader, text, sizeof text - 1, SEQ, 5), NC_OK);
    for (step = 0; step < 3; step++)
        assert_int_equal(nc_hlx_train_step(*whole, &loader, NULL, NULL), NC_OK);
    assert_int_equal(nc_hlx_create_inference(read, &c, hooks), NC_OK);
    nc_hlx_init_weights(*read, 3);
    from = nc_hlx_parameters(*whole, &n);
    to = nc_hlx_parameters(*read, &m);
    assert_int_equal(n, m);
    memcpy(to, from, n * sizeof *to);
}

static void a_model_for_inference_has_the_bits_of_a_whole_one(void **state) {
    int family;
    (void)state;
    for (family = 0; family < FAMILIES; family++) {
        nc_hlx_model *whole, *read;
        nc_hlx_sampling sampling;
        nc_hlx_loader loader;
        uint32_t tokens[BATCH * SEQ], i;
        uint8_t a[40], b[40];
        float one, two;
        make(&whole, &read, family, NULL);
        assert_int_equal(nc_hlx_loader_init(&loader, text, sizeof text - 1, SEQ, 5), NC_OK);
        for (i = 0; i < BATCH * SEQ; i++) tokens[i] = (uint8_t)text[i];
        assert_int_equal(nc_hlx_forward(whole, tokens, NULL, BATCH, SEQ, NULL), NC_OK);
        assert_int_equal(nc_hlx_forward(read, tokens, NULL, BATCH, SEQ, NULL), NC_OK);
        assert_memory_equal(nc_hlx_logits(whole), nc_hlx_logits(read),
                            BATCH * SEQ * VOCAB * sizeof(float));
        assert_int_equal(nc_hlx_evaluate(whole, &loader, 1, &one), NC_OK); /* without dropout */
        assert_int_equal(nc_hlx_forward(read, tokens, tokens + 1, 1, SEQ, &two), NC_OK);
        assert_true(one == two);
        assert_int_equal(nc_hlx_evaluate(whole, &loader, 5, &one), NC_OK);
        assert_int_equal(nc_hlx_evaluate(read, &loader, 5, &two), NC_OK);
        assert_true(one == two);
        memset(&sampling, 0, sizeof sampling);
        sampling.temperature = 1.0f;
        assert_int_equal(nc_hlx_sample(whole, (const uint8_t *)text, 9, &sampling, a, 40), NC_OK);
        assert_int_equal(nc_hlx_sample(read, (const uint8_t *)text, 9, &sampling, b, 40), NC_OK);
        assert_memory_equal(a, b, 40);
        nc_hlx_destroy(whole);
        nc_hlx_destroy(read);
    }
}

static void it_takes_a_quarter_of_the_state_and_one_layer_s_activations(void **state) {
    failing_memory memory = {-1, 0, 0};
    const nc_allocator hooks = {failing_alloc, failing_free, &memory};
    int family;
    (void)state;
    for (family = 0; family < FAMILIES; family++) {
        const nc_hlx_config c = config_of(family);
        nc_hlx_config deep = c;
        nc_hlx_model *model;
        uint64_t parameters, more, bytes;
        const uint64_t rows = BATCH * SEQ;
        size_t shallow;
        assert_int_equal(nc_hlx_footprint(&c, &parameters, &bytes), NC_OK);
        assert_int_equal(nc_hlx_create_inference(&model, &c, &hooks), NC_OK);
        shallow = memory.bytes;
        /* gradients of the residual stream, Q, K and V, what is narrow and what is wide */
        assert_true(shallow > 4 * parameters &&
                    shallow + 12 * parameters + 4 * rows * (5 * c.d_model + c.ffn_dim) <= bytes);
        nc_hlx_destroy(model);
        deep.num_layers = 9;
        assert_int_equal(nc_hlx_footprint(&deep, &more, NULL), NC_OK);
        assert_int_equal(nc_hlx_create_inference(&model, &deep, &hooks), NC_OK);
        more -= parameters; /* five more layers are their parameters */
        if (c.bf16)
            assert_true(memory.bytes - shallow < 4 * more + 4096);
        else
            assert_int_equal(memory.bytes - shallow, 4 * more);
        nc_hlx_destroy(model);
        assert_int_equal(memory.bytes, 0);
    }
}

static void failed_allocations_leave_nothing(void **state) {
    static const char path[] = "build/test_inference.bin";
    failing_memory memory = {-1, 0, 0};
    const nc_allocator hooks = {failing_alloc, failing_free, &memory};
    const nc_hlx_config c = config_of(0);
    nc_hlx_model *model;
    nc_error err;
    long k;
    (void)state;
    assert_int_equal(nc_hlx_create(&model, &c, NULL), NC_OK);
    assert_int_equal(nc_hlx_save(model, NULL, path, &err), NC_OK);
    nc_hlx_destroy(model);
    for (k = 0; k < 3; k++) {
        memory.until_failure = k;
        assert_int_equal(nc_hlx_create_inference(&model, &c, &hooks), NC_ERR_MEMORY);
        assert_true(!model && !memory.bytes);
        memory.until_failure = k;
        assert_int_equal(nc_hlx_load_inference(&model, path, 1, &hooks, &err), NC_ERR_MEMORY);
        assert_true(!model && !memory.bytes && err.message[0]);
    }
    unlink(path);
}

static nc_status zeros(void *user, uint32_t moment, size_t first, size_t count, float *out) {
    (void)user, (void)moment, (void)first;
    memset(out, 0, count * sizeof *out);
    return NC_OK;
}

static void it_is_loaded_saved_and_not_trained(void **state) {
    static const char path[] = "build/test_inference.bin";
    nc_hlx_model *whole, *read, *loaded, *again;
    nc_hlx_adamw adamw;
    nc_hlx_stats stats;
    nc_hlx_loader loader;
    uint32_t tokens[SEQ] = {0};
    float loss;
    size_t count = 9;
    nc_error err;
    (void)state;
    make(&whole, &read, 0, NULL);
    assert_int_equal(nc_hlx_save(whole, NULL, path, &err), NC_OK);
    assert_int_equal(nc_hlx_load_inference(&loaded, path, 1, NULL, &err), NC_OK);
    assert_true(nc_hlx_digest(loaded) == nc_hlx_digest(whole) && nc_hlx_step(loaded) == 3);
    assert_int_equal(nc_hlx_get_config(loaded)->batch_size, 1);
    assert_int_equal(nc_hlx_load_inference(&again, "build/none", 1, NULL, &err), NC_ERR_IO);
    assert_null(again);

    memset(&adamw, 0, sizeof adamw);
    assert_null(nc_hlx_gradients(read, &count));
    assert_int_equal(count, 0);
    assert_null(nc_hlx_moments(read, NULL, &count));
    assert_int_equal(count, 0);
    nc_hlx_zero_gradients(read);
    assert_int_equal(nc_hlx_loader_init(&loader, text, sizeof text - 1, SEQ, 5), NC_OK);
    assert_int_equal(nc_hlx_train_step(read, &loader, &adamw, &stats), NC_ERR_UNSUPPORTED);
    assert_int_equal(nc_hlx_forward(read, tokens, tokens, 1, SEQ, &loss), NC_OK);
    assert_int_equal(nc_hlx_backward(read), NC_ERR_UNSUPPORTED);
    assert_int_equal(nc_hlx_update(read, &adamw, &stats), NC_ERR_UNSUPPORTED);
    assert_int_equal(nc_hlx_update_shard(read, &adamw, 1.0f, &stats), NC_ERR_UNSUPPORTED);
    assert_true(nc_hlx_digest(read) == nc_hlx_digest(whole) && nc_hlx_step(read) == 0);
    assert_int_equal(nc_hlx_save(read, NULL, path, &err), NC_ERR_ARG);
    assert_non_null(strstr(err.message, "none of the moments"));
    assert_int_equal(nc_hlx_create_inference(NULL, NULL, NULL), NC_ERR_ARG);

    assert_int_equal(nc_hlx_save_shards(read, NULL, path, zeros, NULL, &err), NC_OK);
    assert_int_equal(nc_hlx_load(&again, NULL, path, 0, NULL, &err), NC_OK);
    assert_true(nc_hlx_digest(again) == nc_hlx_digest(whole) && nc_hlx_step(again) == 0);
    assert_int_equal(nc_hlx_train_step(again, &loader, NULL, &stats), NC_OK);
    unlink(path);
    nc_hlx_destroy(whole);
    nc_hlx_destroy(read);
    nc_hlx_destroy(loaded);
    nc_hlx_destroy(again);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_model_for_inference_has_the_bits_of_a_whole_one),
        cmocka_unit_test(it_takes_a_quarter_of_the_state_and_one_layer_s_activations),
        cmocka_unit_test(failed_allocations_leave_nothing),
        cmocka_unit_test(it_is_loaded_saved_and_not_trained),
    };
    return cmocka_run_group_tests_name("hlx inference", tests, NULL, NULL);
}
