/* nc_hlx.h: the mean over targets, what stops a step, validation, and what checkpoints know of a
 * run. */
#include <math.h>
#include "test.h"
#include "checksum.h"
#include "../nc_hlx.h"

enum { VOCAB = 40, SEQ = 16, BATCH = 2, ROWS = BATCH * SEQ, BYTES = 700 };

static uint8_t text[BYTES], mask[BYTES];

static int fill(void **state) {
    size_t i;
    (void)state;
    for (i = 0; i < BYTES; i++) {
        text[i] = (uint8_t)((i * i + i / 7) % VOCAB);
        mask[i] = (uint8_t)(i % 5 == 0 || i % 64 < 20);
    }
    return 0;
}

static nc_hlx_model *new_model(uint32_t batch, uint32_t micro_batches) {
    nc_hlx_config c = {0};
    nc_hlx_model *model;
    c.vocab_size = VOCAB;
    c.d_model = 16;
    c.num_layers = c.num_heads = 2;
    c.ffn_dim = 24;
    c.max_seq_len = SEQ;
    c.batch_size = batch;
    c.micro_batches = micro_batches;
    assert_int_equal(nc_hlx_create(&model, &c, NULL), NC_OK);
    nc_hlx_init_weights(model, 3);
    return model;
}

static nc_hlx_loader new_loader(const uint8_t *with_mask) {
    nc_hlx_loader loader;
    assert_int_equal(nc_hlx_loader_init(&loader, text, BYTES, SEQ, 5), NC_OK);
    loader.mask = with_mask;
    return loader;
}

/* Four batches of 4, 4, 4 and all targets: what is counted in each, one by one, must not weigh a
 * target of a small batch more than one of a large. */
static void gradients_of_parts_are_those_of_one_mean_over_all_targets(void **state) {
    nc_hlx_model *whole = new_model(4 * BATCH, 1), *parts = new_model(BATCH, 1);
    nc_hlx_loader loader = new_loader(NULL);
    uint32_t tokens[4 * ROWS], targets[4 * ROWS], i, count = 0;
    float loss, share, sum = 0.0f, *g, *h;
    size_t n;
    (void)state;
    nc_hlx_loader_next(&loader, tokens, targets, 4 * BATCH);
    for (i = 0; i < 3 * ROWS; i++)
        if (i % ROWS >= 4) targets[i] = NC_HLX_IGNORE;
    for (i = 0; i < 4 * ROWS; i++) count += targets[i] != NC_HLX_IGNORE;
    assert_int_equal(count, 12 + ROWS);
    assert_int_equal(nc_hlx_forward(whole, tokens, targets, 4 * BATCH, SEQ, &loss), NC_OK);
    assert_int_equal(nc_hlx_backward(whole), NC_OK);
    for (i = 0; i < 4; i++) {
        assert_int_equal(nc_hlx_forward_part(parts, tokens + i * ROWS, targets + i * ROWS, BATCH,
                                             SEQ, count, &share),
                         NC_OK);
        assert_int_equal(nc_hlx_backward(parts), NC_OK);
        sum += share;
    }
    assert_true(fabsf(sum - loss) < 1e-5f);
    g = nc_hlx_gradients(whole, &n);
    h = nc_hlx_gradients(parts, &n);
    assert_memory_equal(h, g, n * sizeof *g);
    assert_int_equal(nc_hlx_forward_part(parts, tokens, targets, BATCH, SEQ, 3, &share),
                     NC_ERR_ARG); /* it has 4 */
    assert_int_equal(nc_hlx_forward_part(parts, tokens, targets, BATCH, SEQ, 0, &share),
                     NC_ERR_ARG);
    assert_int_equal(nc_hlx_forward_part(parts, tokens, targets, BATCH, SEQ, 1 << 24, &share),
                     NC_ERR_ARG);
    nc_hlx_destroy(whole);
    nc_hlx_destroy(parts);
}

static void masked_micro_batches_are_one_large_batch(void **state) {
    nc_hlx_model *whole = new_model(4 * BATCH, 1), *parts = new_model(BATCH, 4);
    nc_hlx_loader a = new_loader(mask), b = new_loader(mask), all = new_loader(NULL);
    nc_hlx_stats x, y;
    int i;
    (void)state;
    for (i = 0; i < 8; i++) {
        assert_int_equal(nc_hlx_train_step(whole, &a, NULL, &x), NC_OK);
        assert_int_equal(nc_hlx_train_step(parts, &b, NULL, &y), NC_OK);
        assert_memory_equal(&x, &y, sizeof x);
    }
    assert_int_equal(nc_hlx_digest(parts), nc_hlx_digest(whole));
    assert_int_equal(nc_hlx_train_step(whole, &all, NULL, &x), NC_OK);
    assert_int_equal(nc_hlx_train_step(parts, &b, NULL, &y), NC_OK);
    assert_int_not_equal(nc_hlx_digest(parts), nc_hlx_digest(whole)); /* the mask matters */
    nc_hlx_destroy(whole);
    nc_hlx_destroy(parts);
}

/* The loss and the gradients of a step are those of its batches as PyTorch's cross_entropy has them. */
static void a_mask_leaves_targets_out_of_a_step(void **state) {
    nc_hlx_model *model = new_model(BATCH, 1), *other = new_model(BATCH, 1);
    nc_hlx_loader a = new_loader(mask), b = new_loader(mask);
    uint32_t tokens[ROWS], targets[ROWS], i, ignored = 0;
    nc_hlx_stats stats;
    float loss, *g, *h;
    size_t n;
    (void)state;
    nc_hlx_loader_next(&a, tokens, targets, BATCH);
    for (i = 0; i < ROWS; i++) ignored += targets[i] == NC_HLX_IGNORE;
    assert_in_range(ignored, 1, ROWS - 1);
    assert_int_equal(nc_hlx_forward(model, tokens, targets, BATCH, SEQ, &loss), NC_OK);
    assert_int_equal(nc_hlx_backward(model), NC_OK);
    assert_int_equal(nc_hlx_train_step(other, &b, NULL, &stats), NC_OK);
    assert_memory_equal(&stats.loss, &loss, sizeof loss);
    g = nc_hlx_gradients(model, &n);
    h = nc_hlx_gradients(other, &n);
    assert_memory_equal(h, g, n * sizeof *g);
    nc_hlx_destroy(model);
    nc_hlx_destroy(other);
}

static void a_batch_without_targets_has_no_loss_and_no_gradient(void **state) {
    nc_hlx_model *model = new_model(BATCH, 1);
    uint32_t tokens[ROWS] = {0}, targets[ROWS], i;
    float loss = 1.0f, *g;
    size_t n;
    (void)state;
    for (i = 0; i < ROWS; i++) targets[i] = NC_HLX_IGNORE;
    assert_int_equal(nc_hlx_forward(model, tokens, targets, BATCH, SEQ, &loss), NC_OK);
    assert_int_equal(nc_hlx_backward(model), NC_OK);
    assert_true(loss == 0.0f);
    g = nc_hlx_gradients(model, &n);
    while (n-- > 0) assert_true(g[n] == 0.0f);
    nc_hlx_destroy(model);
}

static void labels_outside_the_vocabulary_are_refused(void **state) {
    static const uint32_t bad[] = {VOCAB, 1000, (uint32_t)-2, (uint32_t)-100};
    nc_hlx_model *model = new_model(BATCH, 1);
    nc_hlx_loader loader;
    uint32_t tokens[ROWS] = {0}, targets[ROWS] = {0}, four[SEQ + 1] = {0};
    uint64_t before = nc_hlx_digest(model);
    float loss;
    size_t i;
    (void)state;
    for (i = 0; i < sizeof bad / sizeof *bad; i++) {
        targets[ROWS - 1] = bad[i];
        assert_int_equal(nc_hlx_forward(model, tokens, targets, BATCH, SEQ, &loss), NC_ERR_ARG);
        assert_int_equal(nc_hlx_backward(model), NC_ERR_ARG);
    }
    targets[ROWS - 1] = NC_HLX_IGNORE;
    assert_int_equal(nc_hlx_forward(model, tokens, targets, BATCH, SEQ, &loss), NC_OK);
    tokens[0] = NC_HLX_IGNORE;
    assert_int_equal(nc_hlx_forward(model, tokens, targets, BATCH, SEQ, &loss), NC_ERR_ARG);
    /* a file whose very last token, which is only ever a target, is none */
    memset((uint8_t *)four + 4 * SEQ, 0xff, 4);
    assert_int_equal(nc_hlx_loader_init_tokens(&loader, four, SEQ + 1, 4, SEQ, 1), NC_OK);
    assert_int_equal(nc_hlx_train_step(model, &loader, NULL, NULL), NC_ERR_ARG);
    assert_int_equal(loader.next, 0);
    assert_int_equal(nc_hlx_step(model), 0);
    assert_int_equal(nc_hlx_evaluate(model, &loader, 1, &loss), NC_ERR_ARG);
    assert_int_equal(nc_hlx_digest(model), before);
    nc_hlx_destroy(model);
}

/* Its tokens stand in the model when they are looked at: none is there to go back to. */
static void after_refused_tokens_there_is_no_backward_pass(void **state) {
    nc_hlx_model *model = new_model(BATCH, 1);
    nc_hlx_loader loader;
    uint32_t tokens[ROWS] = {0}, four[SEQ + 1];
    float loss;
    int step;
    (void)state;
    memset(four, 0xff, sizeof four);
    assert_int_equal(nc_hlx_loader_init_tokens(&loader, four, SEQ + 1, 4, SEQ, 1), NC_OK);
    for (step = 0; step < 2; step++) {
        assert_int_equal(nc_hlx_forward(model, tokens, tokens, BATCH, SEQ, &loss), NC_OK);
        if (step)
            assert_int_equal(nc_hlx_train_step(model, &loader, NULL, NULL), NC_ERR_ARG);
        else
            assert_int_equal(nc_hlx_evaluate(model, &loader, 1, &loss), NC_ERR_ARG);
        assert_int_equal(nc_hlx_backward(model), NC_ERR_ARG);
    }
    nc_hlx_destroy(model);
}

static void settings_that_make_no_sense_are_named(void **state) {
    static const struct {
        nc_hlx_adamw adamw;
        const char *member;
    } bad[] = {{{NAN, 0, 0, 0, 0, 0, 0, 0, 0}, "lr is nan"},
               {{-1.0f, 0, 0, 0, 0, 0, 0, 0, 0}, "lr is -1:"},
               {{INFINITY, 0, 0, 0, 0, 0, 0, 0, 0}, "lr is inf"},
               {{1, -1.0f, 0, 0, 0, 0, 0, 0, 0}, "lr_min is -1"},
               {{1, 0, 1.0f, 0, 0, 0, 0, 0, 0}, "beta1 is 1:"},
               {{1, 0, 0, 1.5f, 0, 0, 0, 0, 0}, "beta2 is 1.5"},
               {{1, 0, 0, NAN, 0, 0, 0, 0, 0}, "beta2 is nan"},
               {{1, 0, 0, 0, -1e-8f, 0, 0, 0, 0}, "eps is -1e-08"},
               {{1, 0, 0, 0, 0, NAN, 0, 0, 0}, "weight_decay is nan"},
               {{1, 0, 0, 0, 0, 0, -1.0f, 0, 0}, "clip_norm is -1"}};
    nc_hlx_model *model = new_model(BATCH, 1);
    nc_hlx_loader loader = new_loader(NULL);
    const uint64_t before = nc_hlx_digest(model);
    nc_error err;
    size_t i;
    (void)state;
    for (i = 0; i < sizeof bad / sizeof *bad; i++) {
        assert_int_equal(nc_hlx_adamw_check(&bad[i].adamw, &err), NC_ERR_ARG);
        if (!strstr(err.message, bad[i].member)) fail_msg("%s", err.message);
        assert_int_equal(nc_hlx_train_step(model, &loader, &bad[i].adamw, NULL), NC_ERR_ARG);
        assert_int_equal(nc_hlx_update(model, &bad[i].adamw, NULL), NC_ERR_ARG);
        assert_int_equal(nc_hlx_update_shard(model, &bad[i].adamw, 1.0f, NULL), NC_ERR_ARG);
    }
    assert_int_equal(nc_hlx_digest(model), before);
    assert_int_equal(loader.next, 0);
    assert_int_equal(nc_hlx_adamw_check(NULL, &err), NC_OK);
    assert_int_equal(nc_hlx_train_step(model, &loader, NULL, NULL), NC_OK);
    assert_true(nc_hlx_get_adamw(model)->lr == 3e-4f);
    nc_hlx_destroy(model);
}

/* What a step that fails must leave as it was. */
static void assert_step_stops(nc_hlx_model *model, nc_hlx_loader *loader) {
    const nc_hlx_loader place = *loader;
    const uint64_t before = nc_hlx_digest(model), step = nc_hlx_step(model);
    nc_hlx_stats stats;
    size_t n;
    float *now = nc_hlx_moments(model, NULL, &n), *m = malloc(2 * n * sizeof *m);
    assert_non_null(m);
    memcpy(m, now, 2 * n * sizeof *m);
    assert_int_equal(nc_hlx_train_step(model, loader, NULL, &stats), NC_ERR_MATH);
    assert_false(isfinite(stats.loss) && isfinite(stats.grad_norm));
    assert_int_equal(stats.step, step + 1);
    assert_int_equal(nc_hlx_digest(model), before);
    assert_int_equal(nc_hlx_step(model), step);
    assert_memory_equal(now, m, 2 * n * sizeof *m);
    assert_memory_equal(loader, &place, sizeof place);
    free(m);
}

static void a_step_that_is_not_finite_stops_and_changes_nothing(void **state) {
    nc_hlx_model *model = new_model(BATCH, 2);
    nc_hlx_loader loader = new_loader(NULL);
    float *p, *g, kept;
    size_t n, i;
    (void)state;
    for (i = 0; i < 3; i++) assert_int_equal(nc_hlx_train_step(model, &loader, NULL, NULL), NC_OK);
    p = nc_hlx_parameters(model, &n);
    kept = p[n - 1];
    p[n - 1] = NAN; /* of the output matrix: the loss */
    assert_step_stops(model, &loader);
    p[n - 1] = kept;
    for (i = 0; i < n; i++) p[i] *= 1e18f; /* all is finite but the sum of squares */
    assert_step_stops(model, &loader);
    nc_hlx_zero_gradients(model);
    g = nc_hlx_gradients(model, &n);
    g[n / 2] = INFINITY;
    assert_int_equal(nc_hlx_update(model, NULL, NULL), NC_ERR_MATH);
    assert_int_equal(nc_hlx_update_shard(model, NULL, NAN, NULL), NC_ERR_MATH);
    assert_int_equal(nc_hlx_step(model), 3);
    nc_hlx_init_weights(model, 3); /* and on from there */
    assert_int_equal(nc_hlx_train_step(model, &loader, NULL, NULL), NC_OK);
    nc_hlx_destroy(model);
}

static int stop_behind_five(void *user, uint64_t done, uint64_t total) {
    uint64_t *seen = user;
    assert_int_equal(total, 9);
    *seen = done;
    return done >= 5;
}

static void validation_in_batches_has_the_bits_of_single_windows(void **state) {
    nc_hlx_model *one = new_model(1, 1), *four = new_model(4, 1);
    nc_hlx_loader loader = new_loader(NULL), masked = new_loader(mask);
    uint64_t seen = 0;
    float a, b;
    uint32_t w, t, tokens[SEQ], targets[SEQ];
    double sum = 0, count = 0;
    (void)state;
    assert_int_equal(nc_hlx_evaluate(one, &loader, 9, &a), NC_OK);
    assert_int_equal(nc_hlx_evaluate(four, &loader, 9, &b), NC_OK);
    assert_memory_equal(&a, &b, sizeof a);
    assert_int_equal(nc_hlx_evaluate(one, &loader, 1000, &a), NC_OK); /* all there are */
    assert_int_equal(nc_hlx_evaluate(four, &loader, (BYTES - 1) / SEQ, &b), NC_OK);
    assert_memory_equal(&a, &b, sizeof a);
    /* with a mask: the mean over targets, not over windows */
    assert_int_equal(nc_hlx_evaluate(four, &masked, 9, &b), NC_OK);
    for (w = 0; w < 9; w++) {
        uint32_t valid = 0;
        float mean;
        for (t = 0; t < SEQ; t++) {
            tokens[t] = text[w * SEQ + t];
            targets[t] = mask[w * SEQ + t + 1] ? text[w * SEQ + t + 1] : NC_HLX_IGNORE;
            valid += targets[t] != NC_HLX_IGNORE;
        }
        assert_int_equal(nc_hlx_forward(one, tokens, targets, 1, SEQ, &mean), NC_OK);
        sum += valid * (double)mean;
        count += valid;
    }
    assert_true(fabs(sum / count - (double)b) < 1e-6);
    assert_int_equal(nc_hlx_evaluate_progress(four, &loader, 9, stop_behind_five, &seen, &b),
                     NC_ERR_CANCELLED);
    assert_int_equal(seen, 8);
    assert_int_equal(nc_hlx_evaluate(four, &loader, 0, &b), NC_ERR_ARG);
    nc_hlx_destroy(one);
    nc_hlx_destroy(four);
}

/* tests/data/hlx/version3.bin was written, and the digest behind it printed, by this model and these
 * steps with the code of commit f322b10~1, whose checkpoints had version 3. */
#define DIGEST_3 UINT64_C(0xd4185ab358438060)
#define DIGEST_6 UINT64_C(0xa2105bb19d306b87)

static void a_checkpoint_of_version_3_is_read_and_goes_on(void **state) {
    static const char words[] =
        "a checkpoint of version three is small enough to be kept with the tests";
    static const nc_hlx_adamw adamw = {1e-2f, 1e-3f, 0.8f, 0, 0, 0.1f, 1.0f, 2, 30};
    static const nc_hlx_run none;
    nc_hlx_config c = {0};
    nc_hlx_loader a, b;
    nc_hlx_model *fresh, *model;
    nc_error err;
    int i;
    (void)state;
    c.vocab_size = 128, c.d_model = 4, c.num_heads = 2, c.num_layers = 1, c.ffn_dim = 4;
    c.max_seq_len = 6, c.batch_size = 2, c.micro_batches = 2, c.tied_output = 1, c.flash = 1;
    c.dropout = 0.1f;
    assert_int_equal(nc_hlx_create(&fresh, &c, NULL), NC_OK);
    nc_hlx_init_weights(fresh, 11);
    assert_int_equal(nc_hlx_loader_init(&a, words, sizeof words - 1, 6, 5), NC_OK);
    for (i = 0; i < 3; i++) assert_int_equal(nc_hlx_train_step(fresh, &a, &adamw, NULL), NC_OK);
    assert_int_equal(nc_hlx_loader_init(&b, words, sizeof words - 1, 1, 1), NC_OK);
    if (nc_hlx_load(&model, &b, TEST_DATA "hlx/version3.bin", 0, NULL, &err) != NC_OK)
        fail_msg("%s", err.message);
    assert_int_equal(nc_hlx_digest(model), DIGEST_3);
    assert_int_equal(nc_hlx_digest(fresh), DIGEST_3);
    assert_int_equal(nc_hlx_step(model), 3);
    assert_memory_equal(nc_hlx_get_config(model), nc_hlx_get_config(fresh), sizeof c);
    assert_memory_equal(nc_hlx_get_adamw(model), nc_hlx_get_adamw(fresh), sizeof adamw);
    assert_memory_equal(nc_hlx_get_run(model), &none, sizeof none);
    assert_memory_equal(&b, &a, sizeof a);
    for (i = 0; i < 3; i++) assert_int_equal(nc_hlx_train_step(model, &b, &adamw, NULL), NC_OK);
    assert_int_equal(nc_hlx_digest(model), DIGEST_6);
    nc_hlx_destroy(fresh);
    nc_hlx_destroy(model);
}

/* Step 2^64 - 1 would be followed by step 0, whose moments are divided by 0. */
static void a_checkpoint_of_a_step_that_no_run_reaches_is_refused(void **state) {
    static const char path[] = "build/test_step.ckpt";
    static const uint64_t steps[] = {(UINT64_C(1) << 40) - 1, UINT64_C(1) << 40, UINT64_MAX};
    nc_hlx_model *model = new_model(BATCH, 1);
    nc_error err;
    char *file;
    size_t bytes, i, k;
    (void)state;
    assert_int_equal(nc_hlx_save(model, NULL, path, &err), NC_OK);
    nc_hlx_destroy(model);
    assert_int_equal(nc_file_read(path, &file, &bytes, &err), NC_OK);
    for (i = 0; i < sizeof steps / sizeof *steps; i++) {
        for (k = 0; k < 8; k++) file[48 + k] = (char)(uint8_t)(steps[i] >> 8 * k);
        file_checksum(file, bytes - 8, file + bytes - 8);
        assert_int_equal(nc_file_write(path, file, bytes, &err), NC_OK);
        assert_int_equal(nc_hlx_load(&model, NULL, path, 0, NULL, &err), i ? NC_ERR_FORMAT : NC_OK);
        nc_hlx_destroy(model);
    }
    nc_file_free(file);
    (void)remove(path);
}

static void a_checkpoint_knows_its_run(void **state) {
    static const nc_hlx_run run = {1, 2, 3, 4, 5, 6, 7, 8.5f, 9, 10, 11};
    const char *path = "build/test_run.bin";
    nc_hlx_model *model = new_model(BATCH, 1), *loaded;
    nc_error err;
    uint8_t header[512];
    FILE *file;
    size_t i;
    (void)state;
    *nc_hlx_get_run(model) = run;
    assert_int_equal(nc_hlx_save(model, NULL, path, &err), NC_OK);
    assert_int_equal(nc_hlx_load(&loaded, NULL, path, 0, NULL, &err), NC_OK);
    assert_memory_equal(nc_hlx_get_run(loaded), &run, sizeof run);
    file = fopen(path, "rb");
    assert_non_null(file);
    assert_int_equal(fread(header, 1, sizeof header, file), sizeof header);
    fclose(file);
    for (i = 0; i < 6; i++) assert_int_equal(header[256 + 8 * i], i + 1);
    assert_int_equal(header[304], 7);
    assert_int_equal(header[304 + 12], 10);
    assert_int_equal(header[304 + 16], 11);
    assert_null(nc_hlx_get_run(NULL));
    nc_hlx_destroy(model);
    nc_hlx_destroy(loaded);
    remove(path);
}

static void what_a_run_began_with_is_compared_by_name(void **state) {
    static const struct {
        nc_hlx_run now;
        const char *message;
    } other[] = {
        {{10, 11, 0, 0, 12, 0, 2, 0, 0, 0, 0}, "tokens of 1 bytes, not 2"},
        {{10, 11, 0, 0, 0, 0, 1, 0, 0, 0, 0}, "had a tokenizer"},
        {{10, 11, 0, 0, 13, 0, 1, 0, 0, 0, 0}, "had another tokenizer"},
        {{9, 11, 0, 0, 12, 0, 1, 0, 0, 0, 0}, "data of 10 bytes, this file has 9"},
        {{10, 12, 0, 0, 12, 0, 1, 0, 0, 0, 0}, "other data of the same size"},
        {{10, 11, 5, 6, 12, 0, 1, 0, 0, 0, 0}, "had no file of data for validation"},
    };
    static const nc_hlx_run saved = {10, 11, 0, 0, 12, 3, 1, 4.0f, 64, 2, 5}, unknown;
    static const nc_hlx_run now = {10, 11, 0, 0, 12, 0, 1, 0, 0, 0, 0};
    nc_error err;
    size_t i;
    (void)state;
    assert_int_equal(nc_hlx_run_check(&saved, &now, &err), NC_OK);
    assert_int_equal(nc_hlx_run_check(&unknown, &now, &err), NC_OK);
    assert_int_equal(nc_hlx_run_check(&saved, &unknown, &err), NC_OK);
    assert_int_equal(nc_hlx_run_check(NULL, &now, &err), NC_ERR_ARG);
    for (i = 0; i < sizeof other / sizeof *other; i++) {
        assert_int_equal(nc_hlx_run_check(&saved, &other[i].now, &err), NC_ERR_MISMATCH);
        if (!strstr(err.message, other[i].message)) fail_msg("%s", err.message);
    }
    assert_int_equal(nc_hlx_run_check(&other[1].now, &now, &err), NC_ERR_MISMATCH);
    assert_string_equal(err.message, "the run had no tokenizer");
    assert_int_equal(nc_hlx_run_check(&other[5].now, &now, &err), NC_ERR_MISMATCH);
    assert_string_equal(err.message, "the run had a file of data for validation");
}

static uint64_t fnv1a(uint64_t hash, const uint8_t *data, size_t bytes) {
    for (; bytes; bytes--, data++) hash = (hash ^ *data) * UINT64_C(0x100000001b3);
    return hash;
}

static void fingerprints_are_of_the_whole_or_of_blocks_to_the_very_end(void **state) {
    const size_t large = (1 << 24) + 12345;
    uint8_t *data = calloc(large, 1), size[8] = {0};
    uint64_t hash = UINT64_C(0xcbf29ce484222325), i;
    (void)state;
    assert_non_null(data);
    for (i = 0; i < large; i++) data[i] = (uint8_t)(i * i >> 7);
    assert_int_equal(nc_hlx_fingerprint("", 0), hash);
    assert_int_equal(nc_hlx_fingerprint("foobar", 6), UINT64_C(0x85944171f73967e8));
    assert_int_equal(nc_hlx_fingerprint(data, 1 << 24), fnv1a(hash, data, 1 << 24));
    for (i = 0; i < 256; i++) hash = fnv1a(hash, data + i * (large - 65536) / 255, 65536);
    for (i = 0; i < 8; i++) size[i] = (uint8_t)(large >> 8 * i);
    hash = fnv1a(hash, size, 8);
    assert_int_equal(nc_hlx_fingerprint(data, large), hash);
    data[large - 1] ^= 1;
    assert_int_not_equal(nc_hlx_fingerprint(data, large), hash);
    free(data);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(gradients_of_parts_are_those_of_one_mean_over_all_targets),
        cmocka_unit_test(masked_micro_batches_are_one_large_batch),
        cmocka_unit_test(a_mask_leaves_targets_out_of_a_step),
        cmocka_unit_test(a_batch_without_targets_has_no_loss_and_no_gradient),
        cmocka_unit_test(labels_outside_the_vocabulary_are_refused),
        cmocka_unit_test(after_refused_tokens_there_is_no_backward_pass),
        cmocka_unit_test(settings_that_make_no_sense_are_named),
        cmocka_unit_test(a_step_that_is_not_finite_stops_and_changes_nothing),
        cmocka_unit_test(validation_in_batches_has_the_bits_of_single_windows),
        cmocka_unit_test(a_checkpoint_of_version_3_is_read_and_goes_on),
        cmocka_unit_test(a_checkpoint_of_a_step_that_no_run_reaches_is_refused),
        cmocka_unit_test(a_checkpoint_knows_its_run),
        cmocka_unit_test(what_a_run_began_with_is_compared_by_name),
        cmocka_unit_test(fingerprints_are_of_the_whole_or_of_blocks_to_the_very_end),
    };
    return cmocka_run_group_tests_name("hlx training", tests, fill, NULL);
}
