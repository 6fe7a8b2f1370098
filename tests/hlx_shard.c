/* nc_hlx.h: what several processes that share a training run need of a model: gradients that are
 * announced, a part of the moments, one checkpoint from all parts. */
#include "test.h"
#include <math.h>
#include <unistd.h>
#include "../nc_hlx.h"

static const char text[] =
    "A house divided against itself can stand, if each keeps the part that is its own, and all "
    "agree in what they say to each other, in which order, and to the last of their bits.";

enum { SHARDS = 3, STEPS = 6 };

static nc_hlx_config small_config(void) {
    nc_hlx_config c;
    memset(&c, 0, sizeof c);
    c.d_model = 24;
    c.num_heads = 2;
    c.num_layers = 3;
    c.ffn_dim = 40;
    c.max_seq_len = 16;
    c.batch_size = 2;
    return c;
}

static nc_hlx_adamw small_adamw(void) {
    nc_hlx_adamw a = {1e-2f, 1e-3f, 0, 0, 0, 0.1f, 0.5f, 2, 20};
    return a;
}

static size_t parameters_of(const nc_hlx_config *c) {
    uint64_t n = 0;
    assert_int_equal(nc_hlx_footprint(c, &n, NULL), NC_OK);
    return (size_t)n;
}

/* Loss and gradients of the next batch. */
static void gradients_of(nc_hlx_model *model, nc_hlx_loader *loader, nc_hlx_ready_fn ready,
                         void *user) {
    uint32_t tokens[32], targets[32];
    float loss;
    nc_hlx_loader_next(loader, tokens, targets, 2);
    nc_hlx_zero_gradients(model);
    assert_int_equal(nc_hlx_forward(model, tokens, targets, 2, 16, &loss), NC_OK);
    assert_int_equal(nc_hlx_backward_ready(model, ready, user), NC_OK);
}

typedef struct announced {
    nc_hlx_model *model;
    float *copy;
    size_t from, calls; /* from: all parameters from here on were announced */
} announced;

static void on_ready(void *user, size_t first, size_t count) {
    announced *a = (announced *)user;
    assert_int_equal(first + count, a->from);
    memcpy(a->copy + first, nc_hlx_gradients(a->model, NULL) + first, count * sizeof(float));
    a->from = first;
    a->calls++;
}

static void gradients_are_complete_when_they_are_announced(void **state) {
    uint32_t variant;
    (void)state;
    for (variant = 0; variant < 4; variant++) {
        nc_hlx_config c = small_config();
        announced a = {NULL, NULL, 0, 0};
        nc_hlx_loader loader;
        size_t count;
        c.tied_output = variant == 1;
        c.recompute = variant == 2;
        c.bf16 = variant == 3;
        c.dropout = 0.1f;
        assert_int_equal(nc_hlx_create(&a.model, &c, NULL), NC_OK);
        nc_hlx_init_weights(a.model, 3);
        nc_hlx_loader_init(&loader, text, sizeof text - 1, 16, 1);
        (void)nc_hlx_gradients(a.model, &count);
        a.from = count;
        a.copy = (float *)calloc(count, sizeof *a.copy);
        gradients_of(a.model, &loader, on_ready, &a);
        assert_int_equal(a.from, 0);
        assert_int_equal(a.calls, c.num_layers + 2);
        assert_memory_equal(a.copy, nc_hlx_gradients(a.model, NULL), count * sizeof(float));
        assert_int_equal(nc_hlx_backward_ready(a.model, on_ready, &a), NC_ERR_ARG); /* no forward */
        free(a.copy);
        nc_hlx_destroy(a.model);
    }
}

/* Models that keep a third each; the borders stand inside of tensors. */
static void make_shards(nc_hlx_model *shard[SHARDS], const nc_hlx_config *c) {
    const size_t total = parameters_of(c);
    size_t i, first, count, kept;
    for (i = 0; i < SHARDS; i++) {
        first = total * i / SHARDS;
        count = total * (i + 1) / SHARDS - first;
        assert_int_equal(nc_hlx_create_shard(&shard[i], c, first, count, NULL), NC_OK);
        nc_hlx_init_weights(shard[i], 3);
        assert_non_null(nc_hlx_moments(shard[i], &first, &kept));
        assert_int_equal(kept, count);
        assert_int_equal(first, total * i / SHARDS);
    }
}

/* A step of all: each updates its third, and all get all parameters. */
static void step_shards(nc_hlx_model *shard[SHARDS], nc_hlx_loader *loader) {
    const nc_hlx_adamw adamw = small_adamw();
    nc_hlx_stats stats;
    size_t i, k, first, count, total;
    for (i = 0; i < SHARDS; i++) {
        nc_hlx_loader mine = *loader;
        float *g = nc_hlx_gradients(shard[i], &total), norm;
        gradients_of(shard[i], &mine, NULL, NULL);
        norm = sqrtf(nc_hlx_dot(g, g, total));
        assert_true(norm > adamw.clip_norm); /* so that it matters */
        (void)nc_hlx_moments(shard[i], &first, &count);
        for (k = 0; k < total; k++)
            if (k < first || k >= first + count) g[k] = 1e30f; /* not looked at */
        nc_hlx_update_shard(shard[i], &adamw, norm, &stats);
        assert_true(stats.grad_norm == norm);
        if (i + 1 == SHARDS) *loader = mine;
    }
    for (i = 0; i < SHARDS; i++)
        for (k = 0; k < SHARDS; k++) {
            (void)nc_hlx_moments(shard[k], &first, &count);
            memcpy(nc_hlx_parameters(shard[i], NULL) + first,
                   nc_hlx_parameters(shard[k], NULL) + first, count * sizeof(float));
        }
}

static nc_hlx_model *trained_whole(const nc_hlx_config *c, nc_hlx_loader *loader) {
    const nc_hlx_adamw adamw = small_adamw();
    nc_hlx_model *model;
    int step;
    assert_int_equal(nc_hlx_create(&model, c, NULL), NC_OK);
    nc_hlx_init_weights(model, 3);
    for (step = 0; step < STEPS; step++)
        assert_int_equal(nc_hlx_train_step(model, loader, &adamw, NULL), NC_OK);
    return model;
}

static nc_status from_shards(void *user, uint32_t moment, size_t first, size_t count, float *out) {
    nc_hlx_model **shard = (nc_hlx_model **)user;
    size_t i, k, from, kept;
    for (k = 0; k < count; k++)
        for (i = 0; i < SHARDS; i++) {
            const float *m = nc_hlx_moments(shard[i], &from, &kept);
            if (first + k >= from && first + k < from + kept)
                out[k] = m[moment * kept + first + k - from];
        }
    return NC_OK;
}

static nc_status no_moments(void *user, uint32_t moment, size_t first, size_t count, float *out) {
    (void)user, (void)first, (void)count, (void)out;
    return moment ? NC_ERR_IO : NC_OK; /* halfway */
}

static size_t slurp(const char *path, uint8_t *data, size_t room) {
    FILE *file = fopen(path, "rb");
    size_t n;
    assert_non_null(file);
    n = fread(data, 1, room, file);
    fclose(file);
    return n;
}

/* A part of a file's moments is that of the model that wrote it. */
static void load_shard(const char *path, nc_hlx_model *from) {
    nc_hlx_model *model;
    size_t first, count, total, at;
    nc_error err;
    const float *m = nc_hlx_moments(from, &first, &count);
    (void)nc_hlx_parameters(from, &total);
    assert_int_equal(nc_hlx_load_shard(&model, NULL, path, 0, first, count, NULL, &err), NC_OK);
    assert_memory_equal(m, nc_hlx_moments(model, &at, NULL), 2 * count * sizeof(float));
    assert_int_equal(at, first);
    assert_int_equal(nc_hlx_step(model), STEPS);
    assert_int_equal(nc_hlx_digest(model), nc_hlx_digest(from));
    nc_hlx_destroy(model);
    assert_int_equal(nc_hlx_load_shard(&model, NULL, path, 0, first, total, NULL, &err),
                     NC_ERR_ARG);
    assert_null(model);
    assert_int_equal(nc_hlx_load_shard(&model, NULL, path, 0, 0, SIZE_MAX, NULL, &err), NC_ERR_ARG);
}

static void shards_train_and_save_the_bits_of_the_whole(void **state) {
    static uint8_t a[1 << 19], b[1 << 19];
    const char *path = "build/test_whole.bin", *path2 = "build/test_shards.bin";
    const nc_hlx_config c = small_config();
    nc_hlx_model *shard[SHARDS], *whole;
    nc_hlx_loader loader, loader2;
    nc_error err;
    size_t i, n;
    (void)state;
    nc_hlx_loader_init(&loader, text, sizeof text - 1, 16, 1);
    loader2 = loader;
    whole = trained_whole(&c, &loader);
    make_shards(shard, &c);
    for (i = 0; i < STEPS; i++) step_shards(shard, &loader2);
    for (i = 0; i < SHARDS; i++) assert_int_equal(nc_hlx_digest(shard[i]), nc_hlx_digest(whole));
    assert_int_equal(nc_hlx_save(whole, &loader, path, &err), NC_OK);
    assert_int_equal(nc_hlx_save_shards(shard[1], &loader2, path2, from_shards, shard, &err),
                     NC_OK);
    n = slurp(path, a, sizeof a);
    assert_true(n < sizeof a);
    assert_int_equal(slurp(path2, b, sizeof b), n);
    assert_memory_equal(a, b, n);
    load_shard(path2, shard[1]);
    /* half a file never replaces a whole one */
    assert_int_equal(nc_hlx_save_shards(shard[1], NULL, path2, no_moments, NULL, &err), NC_ERR_IO);
    assert_true(strstr(err.message, path2) != NULL);
    assert_int_equal(slurp(path2, b, sizeof b), n);
    assert_memory_equal(a, b, n);
    for (i = 0; i < SHARDS; i++) nc_hlx_destroy(shard[i]);
    nc_hlx_destroy(whole);
    unlink(path);
    unlink(path2);
}

static void a_part_of_the_moments_cannot_do_what_needs_all(void **state) {
    const nc_hlx_config c = small_config();
    const size_t total = parameters_of(&c);
    failing_memory memory = {0, 0, 0};
    nc_allocator hooks = {failing_alloc, failing_free, &memory};
    nc_hlx_adamw adamw = small_adamw();
    nc_hlx_model *model;
    nc_hlx_loader loader;
    nc_error err;
    uint32_t token = 1;
    (void)state;
    nc_hlx_loader_init(&loader, text, sizeof text - 1, 16, 1);
    assert_int_equal(nc_hlx_create_shard(&model, &c, total + 1, 0, NULL), NC_ERR_ARG);
    assert_int_equal(nc_hlx_create_shard(&model, &c, 7, total - 6, NULL), NC_ERR_ARG);
    assert_int_equal(nc_hlx_create_shard(NULL, &c, 0, 0, NULL), NC_ERR_ARG);
    for (memory.until_failure = 0; memory.until_failure < 3;) {
        long k = memory.until_failure;
        assert_int_equal(nc_hlx_create_shard(&model, &c, 5, 9, &hooks), NC_ERR_MEMORY);
        assert_null(model);
        assert_int_equal(memory.blocks, 0);
        memory.until_failure = k + 1;
    }
    assert_int_equal(nc_hlx_create_shard(&model, &c, 0, 0, NULL), NC_OK);
    nc_hlx_init_weights(model, 3);
    assert_int_equal(nc_hlx_forward(model, &token, NULL, 1, 1, NULL), NC_OK);
    assert_int_equal(nc_hlx_train_step(model, &loader, &adamw, NULL), NC_ERR_UNSUPPORTED);
    assert_int_equal(nc_hlx_save(model, NULL, "build/test_none.bin", &err), NC_ERR_ARG);
    assert_true(strstr(err.message, "moments") != NULL);
    assert_int_equal(nc_hlx_save_shards(model, NULL, "build/test_none.bin", NULL, NULL, &err),
                     NC_ERR_ARG);
    assert_int_equal(nc_hlx_step(model), 0);
    nc_hlx_destroy(model);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(gradients_are_complete_when_they_are_announced),
        cmocka_unit_test(shards_train_and_save_the_bits_of_the_whole),
        cmocka_unit_test(a_part_of_the_moments_cannot_do_what_needs_all),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
