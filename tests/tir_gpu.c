/* nc_tirneural.h, section gpu: the network gives the bits of the CPU on every road of roads.h, with
   64-bit integers and in the 32-bit variant. */
#include "test.h"
#define NC_GPU
#include "../nc_tirneural.h"
#define NC_ROADS_INTEGERS
#include "roads.h"

enum { LATENTS = NC_TIR_BLOCK_NODES * 64, BLOCKS = 6, MODELS = 5 };

/* None, one and 32 instructions; all kinds; a file of examples/data. */
static const char *const sources[BLOCKS] = {
    "",
    "push 7",
    "dup 1 push 5 push -1 mul add dup 0 mul swap 2 pop 2 write_io 1 dup 3 dup 3 add dup 2 push 1 "
    "split swap 1 pop 1 mul add swap 4 pop 3 push 1 dup 2 dup 2 lt pop 1 pop 1 read_mem 2",
    "push -1 divine 5 hash place 15 pick 3 sponge_init xx_mul assert_vector",
    "push 0 push 1 push 18446744069414584320 push 65536 push 4294967296 add eq swap 1 invert",
    "dup 15 dup 15 dup 15 lt dup 3 and xor pow div_mod log_2_floor pop_count merkle_step assert"};

/* A model whose weight i is value(i), through the weights file: the network's shape is not public.
 */
static nc_tir_model *model_of(nc_fixed (*value)(size_t i)) {
    size_t embedding, network = nc_tir_model_parameters(&embedding), n = network + embedding, i, k;
    uint8_t *file = malloc(16 + 4 * n + 32);
    uint64_t *w = malloc(8 * n), digest[4];
    nc_tir_model *model;
    nc_error err;
    memcpy(file, "NCTIRW2\n", 8);
    for (k = 0; k < 4; k++) {
        file[8 + k] = (uint8_t)(network >> 8 * k);
        file[12 + k] = (uint8_t)(embedding >> 8 * k);
    }
    for (i = 0; i < n; i++) w[i] = value(i);
    nc_gl_trident_hash_fields(w, n, digest);
    for (i = 0; i < n; i++)
        for (k = 0; k < 4; k++)
            file[16 + 4 * i + k] = (uint8_t)((uint64_t)nc_gl_to_i64(w[i]) >> 8 * k);
    for (i = 0; i < 32; i++) file[16 + 4 * n + i] = (uint8_t)(digest[i / 8] >> 8 * (i % 8));
    if (nc_tir_model_read(&model, file, 16 + 4 * n + 32, &err) != NC_OK)
        fail_msg("%s", err.message);
    free(file);
    free(w);
    return model;
}
/* As far as weights go, with one sign, and with any: activations meet their bound. */
static nc_fixed largest(size_t i) {
    (void)i;
    return 8 * NC_FIXED_ONE - 1;
}
static nc_fixed any_sign(size_t i) {
    uint64_t seed = i;
    return test_random(&seed) & 1 ? largest(i) : nc_gl_neg(largest(i));
}
static nc_fixed zero(size_t i) {
    (void)i;
    return 0;
}

typedef void (*check_fn)(nc_tir_gpu *gpu, nc_gpu *device);

static check_fn check;
static void open_and_check(nc_gpu *device) {
    nc_tir_gpu *gpu;
    if (nc_tir_gpu_open(&gpu, device) != NC_OK) fail_msg("%s", nc_gpu_last_error(device));
    check(gpu, device);
    nc_tir_gpu_close(gpu);
}
static void check_on_every_road(check_fn with) {
    check = with;
    on_every_road(open_and_check);
}

static void compare(nc_tir_gpu *gpu, nc_gpu *device) {
    nc_gl words[BLOCKS * NC_TIR_BLOCK_WORDS];
    nc_fixed *expected = malloc(BLOCKS * LATENTS * 8);
    nc_fixed *latents = malloc(MODELS * BLOCKS * LATENTS * 8);
    nc_tir_model *model[MODELS];
    const nc_tir_model *list[MODELS];
    nc_status status;
    nc_error err;
    size_t i;
    for (i = 0; i < BLOCKS; i++)
        if (nc_tir_encode(sources[i], words + i * NC_TIR_BLOCK_WORDS, &err) != NC_OK)
            fail_msg("%s: %s", sources[i], err.message);
    assert_int_equal(nc_tir_model_load(&model[0], "examples/data/tir_weights.bin", &err), NC_OK);
    assert_int_equal(nc_tir_model_create(&model[1], 1), NC_OK);
    model[2] = model_of(largest);
    model[3] = model_of(any_sign);
    model[4] = model_of(zero);
    for (i = 0; i < MODELS; i++) list[i] = model[i];
    status = nc_tir_gpu_forward(gpu, list, MODELS, words, BLOCKS, latents);
    if (status != NC_OK) fail_msg("%s: %s", nc_status_str(status), nc_gpu_last_error(device));
    for (i = 0; i < MODELS; i++) {
        assert_int_equal(nc_tir_model_forward(model[i], words, BLOCKS, expected), NC_OK);
        if (memcmp(expected, latents + i * BLOCKS * LATENTS, BLOCKS * LATENTS * 8))
            fail_msg("model %zu: latents differ", i);
    }
    /* the models stay there, until others come */
    memset(latents, 0, MODELS * BLOCKS * LATENTS * 8);
    assert_int_equal(nc_tir_gpu_latents(gpu, words, 2, latents), NC_OK);
    for (i = 0; i < MODELS; i++) {
        assert_int_equal(nc_tir_model_forward(model[i], words, 2, expected), NC_OK);
        assert_memory_equal(expected, latents + i * 2 * LATENTS, 2 * LATENTS * 8);
    }
    assert_int_equal(nc_tir_gpu_load(gpu, list + 3, 1), NC_OK);
    assert_int_equal(nc_tir_model_forward(model[3], words, BLOCKS, expected), NC_OK);
    assert_int_equal(nc_tir_gpu_latents(gpu, words, BLOCKS, latents), NC_OK);
    assert_memory_equal(expected, latents, BLOCKS * LATENTS * 8);
    assert_int_equal(nc_tir_gpu_load(gpu, NULL, 0), NC_OK);
    assert_int_equal(nc_tir_gpu_latents(gpu, words, BLOCKS, latents), NC_OK); /* of no models */
    assert_memory_equal(expected, latents, BLOCKS * LATENTS * 8);
    /* errors leave nothing behind */
    words[0] = 63;
    assert_int_equal(nc_tir_gpu_forward(gpu, list, 1, words, 1, latents), NC_ERR_FORMAT);
    list[1] = NULL;
    assert_int_equal(nc_tir_gpu_forward(gpu, list, 2, words + NC_TIR_BLOCK_WORDS, 1, latents),
                     NC_ERR_ARG);
    assert_int_equal(nc_tir_gpu_forward(gpu, list, 1, words, 65536, latents), NC_ERR_LIMIT);
    assert_int_equal(nc_tir_gpu_forward(gpu, list, 0, words, 1, latents), NC_OK);
    for (i = 0; i < MODELS; i++) nc_tir_model_destroy(model[i]);
    free(expected);
    free(latents);
}
static void latents_are_those_of_the_cpu(void **state) {
    (void)state;
    check_on_every_road(compare);
}

static nc_tir_evolution *population(void) {
    nc_tir_evolution *e;
    nc_tir_model *model;
    nc_error err;
    size_t i;
    assert_int_equal(nc_tir_model_create(&model, 3), NC_OK);
    assert_int_equal(nc_tir_evolution_create(&e, model, 5), NC_OK);
    for (i = 1; i < BLOCKS; i++) assert_int_equal(nc_tir_evolution_add(e, sources[i], &err), NC_OK);
    assert_true(nc_tir_evolution_blocks(e) > 2);
    nc_tir_model_destroy(model);
    return e;
}

static void evolve(nc_tir_gpu *gpu, nc_gpu *device) {
    nc_tir_evolution *plain = population(), *asked = population();
    nc_gl a[4], b[4];
    (void)device;
    assert_int_equal(nc_tir_evolution_use_gpu(asked, gpu), NC_ERR_UNSUPPORTED);
    assert_int_equal(nc_tir_evolution_use_gpu(asked, NULL), NC_OK);
    assert_int_equal(nc_tir_evolution_use_gpu(NULL, gpu), NC_ERR_ARG);
    assert_int_equal(nc_tir_evolution_run(plain, 1, NULL, NULL), NC_OK);
    assert_int_equal(nc_tir_evolution_run(asked, 1, NULL, NULL), NC_OK);
    nc_tir_model_digest(nc_tir_evolution_best(plain), a);
    nc_tir_model_digest(nc_tir_evolution_best(asked), b);
    assert_memory_equal(a, b, sizeof a);
    nc_tir_evolution_destroy(plain);
    nc_tir_evolution_destroy(asked);
}
static void evolution_refuses_a_device(void **state) {
    (void)state;
    check_on_every_road(evolve);
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(latents_are_those_of_the_cpu),
                                       cmocka_unit_test(evolution_refuses_a_device)};
    return cmocka_run_group_tests_name("tir kernels", tests, NULL, NULL);
}
