/* nc_hlx.h, sections public and io: model, training, checkpoints, sampling. */
#include "test.h"
#include <math.h>
#include <unistd.h>
#include "../nc_hlx.h"

static const char text[] =
    "In the beginning was the word, and the word was a byte; and the byte was eight bits, and "
    "every bit was kept, on every machine, whatever the number of threads that carried it.";

/* Parameters after 25 steps of small_config on `text`, seed 11: made by the portable level of
 * this library (gcc 12, -O2) and checked equal for all levels, compilers and thread counts. */
#define GOLDEN_DIGEST UINT64_C(0x34e642697c0ff072)
/* The same with flash attention, dropout 0.1 and two micro-batches. */
#define GOLDEN_DIGEST_FLASH UINT64_C(0xe4fa7d305a9bbc57)
/* In mixed precision. */
#define GOLDEN_DIGEST_BF16 UINT64_C(0x238bf8eb25534c42)

static nc_hlx_config small_config(void) {
    nc_hlx_config c;
    memset(&c, 0, sizeof c);
    c.d_model = 48;
    c.num_heads = 3;
    c.num_layers = 2;
    c.ffn_dim = 80;
    c.max_seq_len = 24;
    c.batch_size = 3;
    return c;
}

static nc_hlx_model *model_of(const nc_hlx_config *c) {
    nc_hlx_model *model;
    assert_int_equal(nc_hlx_create(&model, c, NULL), NC_OK);
    nc_hlx_init_weights(model, 11);
    return model;
}

static nc_hlx_model *new_model(void) {
    nc_hlx_config c = small_config();
    return model_of(&c);
}

static void train(nc_hlx_model *model, nc_hlx_loader *loader, int steps, nc_hlx_stats *stats) {
    nc_hlx_adamw adamw = {1e-2f, 1e-3f, 0, 0, 0, 0.1f, 1.0f, 5, 40};
    while (steps-- > 0) assert_int_equal(nc_hlx_train_step(model, loader, &adamw, stats), NC_OK);
}

static float last_loss; /* of digest_after_training */

static uint64_t digest_after_training(const nc_hlx_config *c) {
    nc_hlx_model *model = model_of(c);
    nc_hlx_loader loader;
    nc_hlx_stats stats;
    uint64_t digest;
    assert_int_equal(nc_hlx_loader_init(&loader, text, sizeof text - 1, 24, 5), NC_OK);
    train(model, &loader, 25, &stats);
    assert_int_equal(stats.step, 25);
    last_loss = stats.loss;
    digest = nc_hlx_digest(model);
    nc_hlx_destroy(model);
    return digest;
}

static void golden_digest(const nc_hlx_config *c, uint64_t golden) {
    int level, threads;
    for (level = 0; level <= 2; level++) {
        if (nc_hlx_set_simd(level) != NC_OK) {
            printf("level %d is not available here: skipped\n", level);
            continue;
        }
        for (threads = 1; threads <= 3; threads++) {
            uint64_t digest;
            use_threads(threads);
            digest = digest_after_training(c);
            if (digest != golden)
                fail_msg("level %d, %d threads: digest %016llx", level, threads,
                         (unsigned long long)digest);
        }
    }
    nc_hlx_set_simd(-1);
}

static void training_gives_the_golden_digest_at_every_level_and_thread_count(void **state) {
    nc_hlx_config c = small_config();
    (void)state;
    golden_digest(&c, GOLDEN_DIGEST);
    c.recompute = 1; /* less memory, the same bits */
    golden_digest(&c, GOLDEN_DIGEST);
    c.flash = 1;
    c.dropout = 0.1f;
    c.micro_batches = 2;
    golden_digest(&c, GOLDEN_DIGEST_FLASH);
    c.recompute = 0;
    golden_digest(&c, GOLDEN_DIGEST_FLASH);
    c = small_config();
    c.bf16 = 1;
    golden_digest(&c, GOLDEN_DIGEST_BF16);
    c.recompute = 1; /* nothing is packed, and nothing changes */
    golden_digest(&c, GOLDEN_DIGEST_BF16);
}

static void mixed_precision_learns_as_well(void **state) {
    nc_hlx_config c = small_config();
    nc_hlx_loader loader[2];
    nc_hlx_stats stats[2];
    uint64_t plain, mixed;
    int i;
    (void)state;
    for (i = 0; i < 2; i++) {
        nc_hlx_model *model;
        c.bf16 = (uint32_t)i;
        model = model_of(&c);
        assert_int_equal(nc_hlx_loader_init(&loader[i], text, sizeof text - 1, 24, 5), NC_OK);
        train(model, &loader[i], 60, &stats[i]);
        nc_hlx_destroy(model);
    }
    printf("loss after 60 steps: %.4f in float32, %.4f with bf16\n", (double)stats[0].loss,
           (double)stats[1].loss);
    assert_true(fabsf(stats[0].loss - stats[1].loss) < 0.1f);
    assert_true(stats[0].loss != stats[1].loss);
    assert_int_equal(nc_hlx_preset("small", &c), NC_OK);
    c.flash = 1;
    assert_int_equal(nc_hlx_footprint(&c, NULL, &plain), NC_OK);
    c.bf16 = 1;
    assert_int_equal(nc_hlx_footprint(&c, NULL, &mixed), NC_OK);
    printf("small: %.0f MB with flash, %.0f MB with bf16\n", (double)plain / 1e6,
           (double)mixed / 1e6);
    assert_true(mixed < plain * 9 / 10);
}

static void micro_batches_are_one_large_batch(void **state) {
    nc_hlx_config c = small_config();
    int dropout;
    (void)state;
    for (dropout = 0; dropout < 2; dropout++) {
        uint64_t digest;
        float loss;
        c.dropout = dropout ? 0.25f : 0.0f;
        c.batch_size = 12; /* more rows than a k block of a product has */
        c.micro_batches = 1;
        digest = digest_after_training(&c);
        loss = last_loss;
        c.batch_size = 4;
        c.micro_batches = 3;
        assert_int_equal(digest_after_training(&c), digest);
        c.batch_size = 1;
        c.micro_batches = 12;
        assert_int_equal(digest_after_training(&c), digest);
        assert_true(last_loss == loss);
    }
}

static void a_step_reports_the_loss_of_its_batch(void **state) {
    nc_hlx_model *model = new_model();
    nc_hlx_loader loader, copy;
    uint32_t tokens[3 * 24], targets[3 * 24];
    nc_hlx_stats stats;
    float loss;
    (void)state;
    assert_int_equal(nc_hlx_loader_init(&loader, text, sizeof text - 1, 24, 5), NC_OK);
    copy = loader;
    nc_hlx_loader_next(&copy, tokens, targets, 3);
    assert_int_equal(nc_hlx_forward(model, tokens, targets, 3, 24, &loss), NC_OK);
    train(model, &loader, 1, &stats);
    assert_true(stats.loss == loss);
    assert_int_equal(loader.next, copy.next);
    nc_hlx_destroy(model);
}

static void recomputing_takes_less_memory(void **state) {
    nc_hlx_config c;
    uint64_t plain, less, flash;
    (void)state;
    assert_int_equal(nc_hlx_preset("small", &c), NC_OK);
    assert_int_equal(nc_hlx_footprint(&c, NULL, &plain), NC_OK);
    c.flash = 1;
    assert_int_equal(nc_hlx_footprint(&c, NULL, &flash), NC_OK);
    c.recompute = 1;
    assert_int_equal(nc_hlx_footprint(&c, NULL, &less), NC_OK);
    printf("small: %.0f MB, with flash %.0f, and recompute %.0f\n", (double)plain / 1e6,
           (double)flash / 1e6, (double)less / 1e6);
    assert_true(flash < plain && less < flash * 7 / 10);
}

static void gradient_with_differences(nc_hlx_model *model);
static void whole_model_gradient_agrees_with_finite_differences(void **state) {
    nc_hlx_config c = small_config();
    (void)state;
    gradient_with_differences(model_of(&c));
    c.flash = 1;
    c.dropout = 0.2f;
    c.tied_output = 1;
    gradient_with_differences(model_of(&c));
}

static void gradient_with_differences(nc_hlx_model *model) {
    uint32_t tokens[48], targets[48], i;
    float loss;
    size_t count, j;
    float *p = nc_hlx_parameters(model, &count), *g = nc_hlx_gradients(model, NULL);
    int checked = 0;
    for (i = 0; i < 48; i++) {
        tokens[i] = (uint8_t)text[i];
        targets[i] = (uint8_t)text[i + 1];
    }
    for (j = 0; j < count; j++) p[j] *= 4.0f; /* away from the flat start */
    assert_int_equal(nc_hlx_forward(model, tokens, targets, 2, 24, &loss), NC_OK);
    nc_hlx_zero_gradients(model);
    assert_int_equal(nc_hlx_backward(model), NC_OK);
    assert_int_equal(nc_hlx_backward(model), NC_ERR_ARG); /* once per forward pass */
    for (j = 0; j < count; j += 397) {
        float saved = p[j], up, down;
        if (fabsf(g[j]) < 2e-3f) continue;
        p[j] = saved + 4e-3f;
        assert_int_equal(nc_hlx_forward(model, tokens, targets, 2, 24, &up), NC_OK);
        p[j] = saved - 4e-3f;
        assert_int_equal(nc_hlx_forward(model, tokens, targets, 2, 24, &down), NC_OK);
        p[j] = saved;
        if (fabs(((double)up - down) / 8e-3 - g[j]) > 0.03 * fabs((double)g[j]) + 3e-4)
            fail_msg("parameter %zu: %g by differences, %g computed", j, ((double)up - down) / 8e-3,
                     (double)g[j]);
        checked++;
    }
    printf("%d parameters checked\n", checked);
    assert_true(checked > 20);
    nc_hlx_destroy(model);
}

static void one_batch_is_overfitted_to_almost_nothing(void **state) {
    nc_hlx_model *model = new_model();
    nc_hlx_adamw adamw = {3e-3f, 0, 0, 0, 0, 0, 1.0f, 0, 0};
    uint32_t tokens[24], targets[24], i;
    float loss = 0;
    int step;
    (void)state;
    for (i = 0; i < 24; i++) {
        tokens[i] = (uint8_t)text[i];
        targets[i] = (uint8_t)text[i + 1];
    }
    for (step = 0; step < 250; step++) {
        assert_int_equal(nc_hlx_forward(model, tokens, targets, 1, 24, &loss), NC_OK);
        nc_hlx_zero_gradients(model);
        assert_int_equal(nc_hlx_backward(model), NC_OK);
        assert_int_equal(nc_hlx_update(model, &adamw, NULL), NC_OK);
    }
    printf("loss after 250 steps: %.5f\n", (double)loss);
    assert_true(loss < 0.01f);
    nc_hlx_destroy(model);
}

/* Windows with 24, 4, 4 and 4 targets: the gradient is that of one batch of all 36. */
static void parts_of_a_step_share_one_mean_over_targets(void **state) {
    nc_hlx_config c = small_config();
    nc_hlx_model *whole, *parts;
    uint32_t tokens[96], targets[96], i, r, count = 0;
    float loss, share, sum = 0.0f, *g;
    size_t n;
    (void)state;
    c.batch_size = 4;
    c.max_seq_len = 24;
    whole = model_of(&c);
    parts = model_of(&c);
    for (i = 0; i < 96; i++) {
        tokens[i] = (uint8_t)text[i];
        targets[i] = i < 24 || i % 24 < 4 ? (uint8_t)text[i + 1] : NC_HLX_IGNORE;
        count += targets[i] != NC_HLX_IGNORE;
    }
    assert_int_equal(count, 36);
    nc_hlx_zero_gradients(whole);
    assert_int_equal(nc_hlx_forward(whole, tokens, targets, 4, 24, &loss), NC_OK);
    assert_int_equal(nc_hlx_backward(whole), NC_OK);
    nc_hlx_zero_gradients(parts);
    for (r = 0; r < 4; r++) {
        assert_int_equal(
            nc_hlx_forward_part(parts, tokens + 24 * r, targets + 24 * r, 1, 24, count, &share),
            NC_OK);
        assert_int_equal(nc_hlx_backward(parts), NC_OK);
        sum = sum + share;
    }
    assert_true(fabsf(sum - loss) < 1e-5f * loss);
    g = nc_hlx_gradients(whole, &n);
    assert_memory_equal(g, nc_hlx_gradients(parts, NULL), n * sizeof *g);
    assert_int_equal(nc_hlx_forward_part(parts, tokens, targets, 1, 24, 0, &share), NC_ERR_ARG);
    targets[5] = 256; /* neither a token nor NC_HLX_IGNORE */
    assert_int_equal(nc_hlx_forward(whole, tokens, targets, 4, 24, &loss), NC_ERR_ARG);
    assert_int_equal(nc_hlx_backward(whole), NC_ERR_ARG);
    nc_hlx_destroy(whole);
    nc_hlx_destroy(parts);
}

static void settings_are_checked_and_steps_without_a_finite_gradient_change_nothing(void **state) {
    nc_hlx_model *model = new_model();
    nc_hlx_adamw bad[10];
    nc_hlx_loader loader, before;
    nc_hlx_stats stats;
    uint64_t digest;
    float *parameters = nc_hlx_parameters(model, NULL), *e, kept;
    size_t i;
    (void)state;
    memset(bad, 0, sizeof bad);
    bad[0].lr = NAN;
    bad[1].lr = -1.0f;
    bad[2].beta1 = 1.0f;
    bad[3].beta2 = 1.5f;
    bad[4].beta2 = -0.1f;
    bad[5].eps = -1.0f;
    bad[6].weight_decay = NAN;
    bad[7].clip_norm = -1.0f;
    bad[8].lr_min = INFINITY;
    bad[9].beta1 = NAN;
    nc_hlx_loader_init(&loader, text, sizeof text - 1, 24, 5);
    train(model, &loader, 2, &stats);
    before = loader;
    digest = nc_hlx_digest(model);
    for (i = 0; i < 10; i++) {
        assert_int_equal(nc_hlx_train_step(model, &loader, &bad[i], &stats), NC_ERR_ARG);
        assert_int_equal(nc_hlx_update(model, &bad[i], &stats), NC_ERR_ARG);
    }
    e = &parameters[nc_hlx_get_config(model)->d_model * 'e']; /* every window has this letter */
    kept = *e;
    *e = INFINITY;
    assert_int_equal(nc_hlx_train_step(model, &loader, NULL, &stats), NC_ERR_MATH);
    assert_int_equal(nc_hlx_step(model), 2);
    assert_memory_equal(&loader, &before, sizeof loader);
    *e = kept;
    assert_true(nc_hlx_digest(model) == digest);
    train(model, &loader, 1, &stats);
    assert_int_equal(nc_hlx_step(model), 3);
    nc_hlx_destroy(model);
}

static void resuming_from_a_checkpoint_continues_bit_for_bit(void **state) {
    char path[] = "build/test_checkpoint.bin";
    nc_hlx_config config = small_config();
    nc_hlx_model *straight, *first, *second;
    nc_hlx_loader a, b, c;
    nc_hlx_stats stats, stats2;
    nc_error err;
    (void)state;
    config.dropout = 0.1f; /* its counters must go on too */
    config.micro_batches = 2;
    config.flash = 1;
    straight = model_of(&config);
    first = model_of(&config);
    nc_hlx_loader_init(&a, text, sizeof text - 1, 24, 5);
    b = a;
    train(straight, &a, 20, &stats);
    train(first, &b, 9, &stats2);
    assert_int_equal(nc_hlx_save(first, &b, path, &err), NC_OK);
    nc_hlx_loader_init(&c, text, sizeof text - 1, 24, 0);
    assert_int_equal(nc_hlx_load(&second, &c, path, 0, NULL, &err), NC_OK);
    train(second, &c, 11, &stats2);
    assert_int_equal(nc_hlx_digest(straight), nc_hlx_digest(second));
    assert_true(stats.loss == stats2.loss && stats.step == stats2.step);
    nc_hlx_destroy(straight);
    nc_hlx_destroy(first);
    nc_hlx_destroy(second);
    unlink(path);
}

static void write_bytes(const char *path, const void *data, size_t n) {
    FILE *file = fopen(path, "wb");
    assert_non_null(file);
    assert_int_equal(fwrite(data, 1, n, file), n);
    fclose(file);
}

static void put_file(const char *path, const char *header, const void *data, size_t bytes) {
    uint8_t length[8] = {0};
    FILE *file = fopen(path, "wb");
    assert_non_null(file);
    length[0] = (uint8_t)strlen(header);
    length[1] = (uint8_t)(strlen(header) >> 8);
    fwrite(length, 1, 8, file);
    fwrite(header, 1, strlen(header), file);
    if (bytes) fwrite(data, 1, bytes, file);
    fclose(file);
}

static void safetensors_round_trip_and_hostile_headers_are_refused(void **state) {
    static const struct {
        const char *header;
        size_t bytes; /* of tensors */
        nc_status status;
    } cases[] = {
        {"", 16, NC_ERR_FORMAT},
        {"{}", 16, NC_ERR_FORMAT},
        {"[]", 16, NC_ERR_FORMAT},
        {"{\"wte.weight\":{\"dtype\":\"F32\",\"shape\":[1],\"data_offsets\":[0,4]}}", 4,
         NC_ERR_MISMATCH},
        {"{\"w\\u0074e.weight\":{\"dtype\":\"F32\",\"shape\":[1],\"data_offsets\":[0,4]}}", 4,
         NC_ERR_MISMATCH},
        {"{\"wte.weight\":{\"dtype\":\"I16\",\"shape\":[1],\"data_offsets\":[0,2]}}", 2,
         NC_ERR_UNSUPPORTED},
        {"{\"nothing\":{\"dtype\":\"F32\",\"shape\":[1],\"data_offsets\":[0,4]}}", 4,
         NC_ERR_MISMATCH},
        {"{\"wte.weight\":{\"dtype\":\"F32\",\"shape\":[1],\"data_offsets\":[0,99999999]}}", 16,
         NC_ERR_FORMAT},
        {"{\"wte.weight\":{\"dtype\":\"F32\",\"shape\":[1],\"data_offsets\":[8,4]}}", 16,
         NC_ERR_FORMAT},
        {"{\"wte.weight\":{\"dtype\":\"F32\",\"shape\":[1,2,3,4,5,6,7,8,9],\"data_offsets\":[0,4]}"
         "}",
         4, NC_ERR_FORMAT},
        {"{\"wte.weight\":{\"dtype\":\"F32\",\"shape\":[99999999999999999999],\"data_offsets\":[0,"
         "4]}}",
         4, NC_ERR_LIMIT},
        {"{\"wte.weight\":{\"dtype\":\"F32\"", 16, NC_ERR_FORMAT},
        {"{\"a\\u0041\":{}}", 16, NC_ERR_FORMAT},
        {"{\"ln_f.bias\":{\"dtype\":\"F32\",\"shape\":[48],\"data_offsets\":[0,192]},\"ln_f.bias\":"
         "{\"dtype\":\"F32\",\"shape\":[48],\"data_offsets\":[192,384]}}",
         384, NC_ERR_MISMATCH}, /* twice */
        {"{\"ln_f.bias\":{\"dtype\":\"F32\",\"shape\":[48,1],\"data_offsets\":[0,192]}}", 192,
         NC_ERR_MISMATCH},
        {"{\"h.0.attn.bias\":{\"dtype\":\"U8\",\"shape\":[1],\"data_offsets\":[0,1]}}", 1,
         NC_ERR_MISMATCH}, /* passed over, and then all are missing */
        {"{\"h.0.attn.bias\":{\"dtype\":\"U8\",\"shape\":[1],\"data_offsets\":[0,1]}}", 2,
         NC_ERR_FORMAT}, /* a byte of no tensor */
        {"{\"__metadata__\":{\"format\":\"pt\"}}", 0, NC_ERR_MISMATCH}};
    const char *path = "build/test_weights.safetensors";
    nc_hlx_model *model = new_model(), *other = new_model();
    uint64_t digest;
    size_t i;
    nc_error err;
    (void)state;
    nc_hlx_init_weights(other, 99);
    assert_int_not_equal(nc_hlx_digest(model), nc_hlx_digest(other));
    assert_int_equal(nc_hlx_export(model, path, &err), NC_OK);
    assert_int_equal(nc_hlx_import(other, path, &err), NC_OK);
    assert_int_equal(nc_hlx_digest(model), nc_hlx_digest(other));
    assert_int_equal(nc_hlx_step(other), 0);
    digest = nc_hlx_digest(other);
    for (i = 0; i < sizeof cases / sizeof *cases; i++) {
        float zeros[96] = {0};
        put_file(path, cases[i].header, zeros, cases[i].bytes);
        memset(&err, 0, sizeof err);
        assert_int_equal(nc_hlx_import(other, path, &err), cases[i].status);
        assert_true(err.message[0] != 0);
    }
    assert_int_equal(nc_hlx_import(other, "no/such/file", &err), NC_ERR_IO);
    assert_int_equal(nc_hlx_import(NULL, path, &err), NC_ERR_ARG);
    assert_int_equal(nc_hlx_export(other, NULL, &err), NC_ERR_ARG);
    assert_int_equal(nc_hlx_digest(other), digest); /* unchanged by all of them */
    nc_hlx_destroy(model);
    nc_hlx_destroy(other);
    unlink(path);
}

static void damaged_checkpoints_are_refused_and_nothing_leaks(void **state) {
    char path[] = "build/test_damaged.bin";
    nc_hlx_config config = small_config();
    nc_hlx_model *model, *loaded;
    failing_memory memory = {-1, 0, 0};
    nc_allocator hooks = {failing_alloc, failing_free, &memory};
    static uint8_t data[1 << 20];
    size_t n, i;
    nc_error err;
    FILE *file;
    (void)state;
    config.num_layers = 1;
    config.vocab_size = 7;
    config.d_model = 6;
    config.ffn_dim = 5;
    assert_int_equal(nc_hlx_create(&model, &config, &hooks), NC_OK);
    nc_hlx_init_weights(model, 1);
    assert_int_equal(nc_hlx_save(model, NULL, path, &err), NC_OK);
    file = fopen(path, "rb");
    n = fread(data, 1, sizeof data, file);
    fclose(file);
    for (i = 0; i < n; i += i < 100 ? 1 : 97) { /* every header byte, then samples */
        data[i] ^= 0x10;
        write_bytes(path, data, n);
        assert_int_not_equal(nc_hlx_load(&loaded, NULL, path, 0, &hooks, &err), NC_OK);
        assert_null(loaded);
        assert_true(err.message[0] != 0);
        data[i] ^= 0x10;
        write_bytes(path, data, i);
        assert_int_equal(nc_hlx_load(&loaded, NULL, path, 0, &hooks, &err), NC_ERR_FORMAT);
    }
    write_bytes(path, data, n + 1);
    assert_int_equal(nc_hlx_load(&loaded, NULL, path, 0, &hooks, &err), NC_ERR_FORMAT);
    assert_int_equal(nc_hlx_load(&loaded, NULL, "build/no_such_file", 0, &hooks, &err), NC_ERR_IO);
    assert_int_equal(nc_hlx_save(model, NULL, "build/no_such_dir/x", &err), NC_ERR_IO);
    nc_hlx_destroy(model);
    assert_int_equal(memory.blocks, 0);
    unlink(path);
}

static void impossible_configurations_and_failed_allocations_are_errors(void **state) {
    nc_hlx_config c = small_config();
    failing_memory memory = {0, 0, 0};
    nc_allocator hooks = {failing_alloc, failing_free, &memory};
    nc_hlx_model *model;
    uint32_t token = 0, outside = 256;
    float loss;
    uint64_t parameters, bytes;
    (void)state;
    for (memory.until_failure = 0; memory.until_failure < 3;) {
        long k = memory.until_failure;
        assert_int_equal(nc_hlx_create(&model, &c, &hooks), NC_ERR_MEMORY);
        assert_null(model);
        assert_int_equal(memory.blocks, 0);
        memory.until_failure = k + 1;
    }
    c.num_heads = 5;
    assert_int_equal(nc_hlx_create(&model, &c, NULL), NC_ERR_ARG);
    c = small_config();
    c.dropout = 1.0f;
    assert_int_equal(nc_hlx_create(&model, &c, NULL), NC_ERR_ARG);
    c = small_config();
    c.flash = 2;
    assert_int_equal(nc_hlx_create(&model, &c, NULL), NC_ERR_ARG);
    c = small_config();
    c.micro_batches = 1 << 20;
    assert_int_equal(nc_hlx_create(&model, &c, NULL), NC_ERR_ARG);
    c = small_config();
    c.max_seq_len = 1 << 19;
    c.batch_size = 1 << 10;
    assert_int_equal(nc_hlx_create(&model, &c, NULL), NC_ERR_ARG);
    assert_int_equal(nc_hlx_preset("huge", &c), NC_ERR_ARG);
    assert_int_equal(nc_hlx_preset("tiny", &c), NC_OK);
    assert_int_equal(nc_hlx_footprint(&c, &parameters, &bytes), NC_OK);
    assert_int_equal(parameters, 3323392);
    assert_true(bytes < 200u * 1000 * 1000);
    model = new_model();
    assert_int_equal(nc_hlx_forward(model, &outside, NULL, 1, 1, NULL), NC_ERR_ARG);
    assert_int_equal(nc_hlx_forward(model, &token, NULL, 1, 25, NULL), NC_ERR_ARG);
    assert_int_equal(nc_hlx_forward(model, &token, NULL, 4, 1, NULL), NC_ERR_ARG);
    assert_int_equal(nc_hlx_forward(model, &token, NULL, 0, 1, NULL), NC_ERR_ARG);
    assert_int_equal(nc_hlx_forward(NULL, &token, &token, 1, 1, &loss), NC_ERR_ARG);
    nc_hlx_destroy(model);
    nc_hlx_destroy(NULL);
}

static void what_is_too_large_to_be_counted_is_said_to_be_so(void **state) {
    nc_hlx_config c = {0};
    uint64_t parameters, bytes;
    (void)state;
    c.d_model = c.num_layers = c.ffn_dim = (1 << 20) - 1;
    c.num_heads = c.max_seq_len = c.batch_size = 1;
    assert_int_equal(nc_hlx_footprint(&c, &parameters, &bytes), NC_OK);
    assert_true(parameters > UINT32_MAX / 2 && bytes == UINT64_MAX);
    c.max_seq_len = (1 << 20) - 1;
    assert_int_equal(nc_hlx_cache_bytes(&c, 65536, &bytes), NC_OK);
    assert_true(bytes == UINT64_MAX);
}

static void an_epoch_visits_every_window_once_and_can_start_anywhere(void **state) {
    uint8_t data[101];
    nc_hlx_loader loader, later;
    uint32_t tokens[4], targets[4], i, j;
    int seen[25] = {0};
    (void)state;
    for (i = 0; i < 101; i++) data[i] = (uint8_t)i;
    assert_int_equal(nc_hlx_loader_init(&loader, data, 4, 4, 9), NC_ERR_ARG);
    assert_int_equal(nc_hlx_loader_init(&loader, data, 101, 4, 9), NC_OK);
    for (i = 0; i < 25; i++) {
        if (i == 10) later = loader;
        nc_hlx_loader_next(&loader, tokens, targets, 1);
        assert_int_equal(tokens[0] % 4, 0);
        assert_int_equal(seen[tokens[0] / 4]++, 0);
        for (j = 0; j < 4; j++) {
            assert_int_equal(tokens[j], tokens[0] + j);
            assert_int_equal(targets[j], tokens[0] + j + 1);
        }
    }
    for (i = 0; i < 15; i++) nc_hlx_loader_next(&later, tokens, targets, 1);
    assert_int_equal(later.next, loader.next);
    for (i = 0; i < 1000; i++) nc_hlx_loader_next(&loader, tokens, targets, 1); /* in bounds */
}

static void wider_tokens_give_the_windows_of_bytes(void **state) {
    uint8_t data[101], two[202], four[404];
    nc_hlx_loader loader[3];
    nc_hlx_config c = small_config();
    nc_hlx_model *model = model_of(&c);
    uint32_t tokens[3][8], targets[3][8], i, k;
    nc_hlx_stats stats;
    (void)state;
    for (i = 0; i < 101; i++) {
        data[i] = (uint8_t)(i * 7);
        two[2 * i] = four[4 * i] = data[i];
        two[2 * i + 1] = four[4 * i + 1] = four[4 * i + 2] = four[4 * i + 3] = 0;
    }
    assert_int_equal(nc_hlx_loader_init(&loader[0], data, 101, 4, 9), NC_OK);
    assert_int_equal(nc_hlx_loader_init_tokens(&loader[1], two, 101, 2, 4, 9), NC_OK);
    assert_int_equal(nc_hlx_loader_init_tokens(&loader[2], four, 101, 4, 4, 9), NC_OK);
    assert_int_equal(nc_hlx_loader_init_tokens(&loader[2], four, 101, 3, 4, 9), NC_ERR_ARG);
    for (i = 0; i < 60; i++) {
        for (k = 0; k < 3; k++) nc_hlx_loader_next(&loader[k], tokens[k], targets[k], 2);
        assert_memory_equal(tokens[1], tokens[0], sizeof tokens[0]);
        assert_memory_equal(tokens[2], tokens[0], sizeof tokens[0]);
        assert_memory_equal(targets[2], targets[0], sizeof tokens[0]);
    }
    for (i = 0; i < 101; i++) two[2 * i + 1] = 1; /* tokens from 256 on, outside the vocabulary */
    assert_int_equal(nc_hlx_train_step(model, &loader[1], NULL, &stats), NC_ERR_ARG);
    loader[1].token_bytes = 9; /* as from a damaged copy */
    assert_int_equal(nc_hlx_train_step(model, &loader[1], NULL, &stats), NC_ERR_ARG);
    nc_hlx_destroy(model);
}

static void files_are_mapped_or_refused(void **state) {
    nc_hlx_file file;
    nc_error err;
    (void)state;
    assert_int_equal(nc_hlx_file_open(&file, "LICENSE", &err), NC_OK);
    assert_true(file.bytes > 100 && file.data[0] != 0);
    nc_hlx_file_close(&file);
    assert_null(file.data);
    nc_hlx_file_close(&file);
    write_bytes("build/test_empty", "", 0);
    assert_int_equal(nc_hlx_file_open(&file, "build/test_empty", &err), NC_OK);
    assert_int_equal(file.bytes, 0);
    nc_hlx_file_close(&file);
    unlink("build/test_empty");
    assert_int_equal(nc_hlx_file_open(&file, "no/such/file", &err), NC_ERR_IO);
    assert_int_equal(nc_hlx_file_open(&file, "tests", &err), NC_ERR_IO);
    memset(&file, 0xAA, sizeof file);
    assert_int_equal(nc_hlx_file_open(&file, NULL, &err), NC_ERR_ARG);
    nc_hlx_file_close(&file);
}

static void sampling_is_seeded_and_greedy_without_temperature(void **state) {
    nc_hlx_model *model = new_model();
    nc_hlx_sampling s = {0.8f, 0.9f, 40, 0, 3, NULL, NULL};
    nc_hlx_loader loader;
    nc_hlx_stats stats;
    uint8_t a[60], b[60];
    (void)state;
    nc_hlx_loader_init(&loader, text, sizeof text - 1, 24, 5);
    train(model, &loader, 30, &stats);
    assert_int_equal(nc_hlx_sample(model, NULL, 0, &s, a, 60), NC_OK);
    assert_int_equal(nc_hlx_sample(model, NULL, 0, &s, b, 60), NC_OK);
    assert_memory_equal(a, b, 60);
    s.seed = 4;
    assert_int_equal(nc_hlx_sample(model, NULL, 0, &s, b, 60), NC_OK);
    assert_memory_not_equal(a, b, 60);
    assert_int_equal(nc_hlx_sample(model, (const uint8_t *)text, 100, NULL, a, 60), NC_OK);
    s.temperature = 1.0f;
    s.top_k = 1; /* one candidate is the greedy choice */
    assert_int_equal(nc_hlx_sample(model, (const uint8_t *)text, 100, &s, b, 60), NC_OK);
    assert_memory_equal(a, b, 60);
    nc_hlx_destroy(model);
}

static void learning_rate_warms_up_then_falls_to_the_minimum(void **state) {
    nc_hlx_adamw a = {1.0f, 0.1f, 0, 0, 0, 0, 0, 10, 110};
    int step;
    (void)state;
    assert_true(fabsf(nc_hlx_learning_rate(&a, 5) - 0.5f) < 1e-6f);
    assert_true(nc_hlx_learning_rate(&a, 10) == 1.0f);
    assert_true(fabsf(nc_hlx_learning_rate(&a, 60) - 0.55f) < 1e-6f);
    for (step = 10; step < 110; step++) {
        double x = 3.14159265358979323846 * (step - 10) / 100.0;
        assert_true(fabs(nc_hlx_learning_rate(&a, (uint64_t)step) -
                         (0.1 + 0.9 * 0.5 * (1 + cos(x)))) < 1e-6);
    }
    assert_true(nc_hlx_learning_rate(&a, 110) == 0.1f);
    assert_true(nc_hlx_learning_rate(NULL, 1) == 3e-4f);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(training_gives_the_golden_digest_at_every_level_and_thread_count),
        cmocka_unit_test(mixed_precision_learns_as_well),
        cmocka_unit_test(micro_batches_are_one_large_batch),
        cmocka_unit_test(a_step_reports_the_loss_of_its_batch),
        cmocka_unit_test(parts_of_a_step_share_one_mean_over_targets),
        cmocka_unit_test(settings_are_checked_and_steps_without_a_finite_gradient_change_nothing),
        cmocka_unit_test(recomputing_takes_less_memory),
        cmocka_unit_test(wider_tokens_give_the_windows_of_bytes),
        cmocka_unit_test(files_are_mapped_or_refused),
        cmocka_unit_test(whole_model_gradient_agrees_with_finite_differences),
        cmocka_unit_test(one_batch_is_overfitted_to_almost_nothing),
        cmocka_unit_test(resuming_from_a_checkpoint_continues_bit_for_bit),
        cmocka_unit_test(safetensors_round_trip_and_hostile_headers_are_refused),
        cmocka_unit_test(damaged_checkpoints_are_refused_and_nothing_leaks),
        cmocka_unit_test(impossible_configurations_and_failed_allocations_are_errors),
        cmocka_unit_test(what_is_too_large_to_be_counted_is_said_to_be_so),
        cmocka_unit_test(an_epoch_visits_every_window_once_and_can_start_anywhere),
        cmocka_unit_test(sampling_is_seeded_and_greedy_without_temperature),
        cmocka_unit_test(learning_rate_warms_up_then_falls_to_the_minimum),
    };
    return cmocka_run_group_tests_name("hlx model", tests, NULL, NULL);
}
