/* nc_gpu.h and the float kernels: every road of roads.h gives the bits of the CPU. */
#include "test.h"
#include <dlfcn.h>
#include <math.h>
#include "cuda_driver_on_cpu.h"
#include "vulkan_between.h"
#include "../nc_gpu.h"
#include "roads.h"
#define NC_GPU
#include "../nc_hlx.h"

/* Each road's device, opened once: a driver compiles a kernel once a device. */
static nc_gpu *opened[2];
static nc_gpu *device_of(road *list, size_t i) {
    if (!opened[i]) opened[i] = open_road(&list[i]);
    return opened[i];
}

static void on_each_device(void (*check)(nc_gpu *device)) {
    road list[2];
    size_t n = roads(list), i;
    for (i = 0; i < n; i++) {
        nc_gpu *device = device_of(list, i);
        if (!device) continue;
        check(device);
        assert_int_equal(nc_gpu_get_caps(device)->validation_errors, 0);
    }
}

static int close_devices(void **state) {
    size_t i;
    (void)state;
    for (i = 0; i < sizeof opened / sizeof *opened; i++) nc_gpu_close(opened[i]);
    return 0;
}

static void probe_reports_what_the_device_can_do(void **state) {
    road list[2];
    size_t n = roads(list), i;
    (void)state;
    for (i = 0; i < n; i++) {
        nc_gpu *gpu = open_road(&list[i]);
        const nc_gpu_caps *c;
        if (!gpu) continue;
        c = nc_gpu_get_caps(gpu);
        printf("%s: %s; fma %s, + and * %s, / and sqrt %s, subnormals %s, int64 %u, float64 %u\n",
               list[i].name, c->name, c->fma_fused ? "fused" : "emulated",
               c->exact_arithmetic ? "exact" : "inexact", c->exact_division ? "exact" : "inexact",
               c->subnormals_kept ? "kept" : "flushed", c->int64, c->float64);
        assert_true(c->contract);
        assert_int_equal(c->validation_errors, 0);
        nc_gpu_close(gpu);
    }
}

static void fill(float *x, size_t n, uint64_t *seed) {
    size_t i;
    for (i = 0; i < n; i++) {
        uint32_t bits = (uint32_t)test_random(seed);
        /* exponents 2^-70 .. 2^57: products reach the subnormals, sums cancel; some -0 */
        bits = (bits & UINT32_C(0x807FFFFF)) | (uint32_t)(57 + test_random(seed) % 128) << 23;
        if (test_random(seed) % 8) bits = (bits & UINT32_C(0x807FFFFF)) | UINT32_C(0x3F000000);
        if (test_random(seed) % 50 == 0) bits = UINT32_C(0x80000000);
        memcpy(&x[i], &bits, 4);
    }
}

static void compare_gemm(nc_gpu *gpu, size_t m, size_t n, size_t k, uint64_t *seed) {
    float *a = malloc(m * k * 4), *b = malloc(k * n * 4), *start = malloc(m * n * 4);
    float *c = malloc(m * n * 4), *expected = malloc(m * n * 4);
    int v;
    fill(a, m * k, seed);
    fill(b, k * n, seed);
    fill(start, m * n, seed);
    for (v = 0; v < 8; v++) {
        nc_status status;
        memcpy(c, start, m * n * 4);
        memcpy(expected, start, m * n * 4);
        nc_hlx_gemm_ref(v & 1, v >> 1 & 1, m, n, k, a, v & 1 ? m : k, b, v >> 1 & 1 ? k : n,
                        expected, n, v >> 2);
        status = nc_hlx_gpu_gemm(gpu, v & 1, v >> 1 & 1, m, n, k, a, b, c, v >> 2);
        if (status != NC_OK) fail_msg("%s: %s", nc_status_str(status), nc_gpu_last_error(gpu));
        if (memcmp(c, expected, m * n * 4))
            fail_msg("%zu x %zu x %zu, variant %d: bits differ", m, n, k, v);
    }
    free(a);
    free(b);
    free(start);
    free(c);
    free(expected);
}

static void gemm_gives_the_bits_of_the_cpu_on_every_road(void **state) {
    static const size_t shapes[][3] = {{1, 1, 1},  {16, 16, 16}, {17, 15, 33},
                                       {5, 70, 3}, {64, 1, 129}, {130, 80, 64}};
    road list[2];
    size_t n = roads(list), i, s;
    uint64_t seed = 10;
    (void)state;
    for (i = 0; i < n; i++) {
        nc_gpu *gpu = device_of(list, i);
        if (!gpu) continue;
        for (s = 0; s < sizeof shapes / sizeof *shapes; s++)
            compare_gemm(gpu, shapes[s][0], shapes[s][1], shapes[s][2], &seed);
        printf("%s: %zu shapes, 8 variants each, bit-equal\n", list[i].name, s);
        assert_int_equal(nc_gpu_get_caps(gpu)->validation_errors, 0);
    }
}

/* -0 * 1 + -0 = -0, but one padded step fma(0, 0, -0) gives +0. */
static void minus_zero_survives_the_tiles(void **state) {
    road list[2];
    size_t n = roads(list), i, j;
    (void)state;
    for (i = 0; i < n; i++) {
        float a[9], b[9], c[9], minus_zero = -0.0f;
        nc_gpu *gpu = device_of(list, i);
        if (!gpu) continue;
        for (j = 0; j < 9; j++) {
            a[j] = c[j] = minus_zero;
            b[j] = 1.0f;
        }
        assert_int_equal(nc_hlx_gpu_gemm(gpu, 0, 0, 3, 3, 3, a, b, c, 1), NC_OK);
        for (j = 0; j < 9; j++) assert_memory_equal(&c[j], &minus_zero, sizeof minus_zero);
    }
}

/* Variants of a model too small to learn much, of odd sizes. */
enum { PLAIN, TIED, FLASH, DROPPING, EVERYTHING, LONG, BF16, BF16_RECOMPUTED, VARIANTS };

static nc_hlx_model *small_model(int variant) {
    nc_hlx_config c;
    nc_hlx_model *model;
    memset(&c, 0, sizeof c);
    c.vocab_size = 123;
    c.d_model = variant == PLAIN ? 36 : 27; /* across tiles of 32, and inside one */
    c.num_layers = 2;
    c.num_heads = 3;
    c.ffn_dim = variant == PLAIN ? 40 : 29;
    c.max_seq_len = variant == PLAIN ? 17 : 15;
    c.batch_size = 2;
    c.tied_output = variant == TIED || variant == EVERYTHING;
    c.flash = variant == FLASH || variant == EVERYTHING;
    if (c.flash) c.batch_size = 1, c.max_seq_len = 37;          /* crosses a tile */
    if (variant == LONG) c.batch_size = 1, c.max_seq_len = 130; /* than a fused window */
    if (variant == DROPPING || variant == EVERYTHING) c.dropout = 0.2f;
    c.bf16 = variant >= BF16;
    if (variant == BF16_RECOMPUTED) c.recompute = 1;
    if (variant == EVERYTHING) c.recompute = 1;
    if (variant == EVERYTHING) c.micro_batches = 2;
    assert_int_equal(nc_hlx_create(&model, &c, NULL), NC_OK);
    nc_hlx_init_weights(model, 42);
    return model;
}

/* Any bits at all, half of them near 1, and the hard cases of division and root. */
static float any_float(uint64_t *seed) {
    static const uint32_t hard[] = {0,          0x80000000, 1,          0x80000001, 0x007FFFFF,
                                    0x00800000, 0x00FFFFFF, 0x7F7FFFFF, 0x7F800000, 0xFF800000,
                                    0x3F800000, 0x3F7FFFFF, 0x3F800001, 0x3FFFFFFF, 0x00000003};
    uint64_t r = test_random(seed);
    uint32_t bits = (uint32_t)(r >> 32);
    float x;
    if (r % 4 < 2) bits = 0x3F000000 | (bits & 0x80FFFFFF);
    if (r % 16 == 2) bits = hard[(r >> 8) % (sizeof hard / sizeof *hard)];
    memcpy(&x, &bits, 4);
    return x;
}

/* out = operation of the elementwise kernel on the device. */
static void elementwise(nc_gpu *device, uint32_t operation, uint32_t activation, const float *a,
                        const float *b, float *out, size_t n) {
    uint32_t push[6] = {0};
    nc_gpu_buffer *result;
    nc_gpu_job job;
    push[0] = (uint32_t)n;
    push[1] = operation;
    push[2] = activation;
    nc_gpu_job_start(&job, device);
    (void)nc_gpu_job_buffer(&job, a, n * 4, n * 4);
    (void)nc_gpu_job_buffer(&job, b, n * 4, n * 4);
    result = nc_gpu_job_buffer(&job, NULL, 0, n * 4);
    nc_gpu_job_dispatch(&job, "elementwise", NULL, 3, push, sizeof push, (n + 255) / 256, 1, 1);
    assert_int_equal(nc_gpu_job_finish(&job, result, 0, out, n * 4), NC_OK);
}

static void same_floats(const float *x, const float *y, size_t n, const char *what) {
    size_t i;
    for (i = 0; i < n; i++)
        if (memcmp(&x[i], &y[i], 4) && !(x[i] != x[i] && y[i] != y[i]))
            fail_msg("%s at %zu: %a is not %a", what, i, (double)x[i], (double)y[i]);
}

static void division_root_and_activations_are_exact_on_any_bits(void **state) {
    enum { COUNT = 1 << 16 };
    float *a = malloc(COUNT * 4), *b = malloc(COUNT * 4), *out = malloc(COUNT * 4);
    float *expected = malloc(COUNT * 4);
    road list[2];
    size_t n = roads(list), r, i;
    uint32_t integers;
    uint64_t seed = 77;
    (void)state;
    for (i = 0; i < COUNT; i++) {
        a[i] = any_float(&seed);
        b[i] = any_float(&seed);
    }
    for (r = 0; r < n; r++)
        for (integers = 0; integers < 2; integers++) {
            nc_gpu *device;
            if (integers && list[r].desc.kind != NC_GPU_VULKAN) continue; /* CUDA rounds */
            list[r].desc.avoid_division = integers;
            device = open_road(&list[r]);
            if (!device) continue;
            for (i = 0; i < COUNT; i++) expected[i] = a[i] / b[i];
            elementwise(device, 5, 0, a, b, out, COUNT);
            same_floats(out, expected, COUNT, "quotient");
            for (i = 0; i < COUNT; i++) expected[i] = sqrtf(a[i]);
            elementwise(device, 6, 0, a, b, out, COUNT);
            same_floats(out, expected, COUNT, "root");
            for (i = 0; i < NC_HLX_ACTIVATIONS; i++) {
                const uint32_t activation = (uint32_t)i;
                assert_int_equal(nc_hlx_activate(expected, a, COUNT, activation), NC_OK);
                elementwise(device, 2, activation, a, b, out, COUNT);
                same_floats(out, expected, COUNT, nc_hlx_activation_name(activation));
                assert_int_equal(nc_hlx_activate_backward(expected, b, a, COUNT, activation),
                                 NC_OK);
                elementwise(device, 3, activation, b, a, out, COUNT);
                same_floats(out, expected, COUNT, "slope");
            }
            nc_gpu_close(device);
        }
    free(a);
    free(b);
    free(out);
    free(expected);
}

/* The kernels of products by themselves, in tiles that nothing fills: flags of cuda/gemm_tile.h. */
enum { TILED_M = 133, TILED_N = 70, TILED_K = 37, TILED = TILED_M * TILED_M };
enum { AT_X, AT_Y, AT_Z, AT_W, AT_C, AT_RESIDUAL, AT_BESIDE, AT_BIAS, PLACES };
static void expected_product(float *at[PLACES], uint32_t flags, float scale) {
    const size_t m = TILED_M, n = TILED_N, k = TILED_K;
    const int from_x = (flags & 256) != 0, from_y = (flags & 512) != 0;
    const int trans_a = (int)(flags & 1), trans_b = (int)(flags >> 1 & 1);
    const float *a = from_y ? at[AT_Y] : at[AT_X];
    float *c = at[AT_C];
    size_t i;
    if (from_x || from_y) {
        nc_hlx_gemm_ref(1, 0, from_x ? k : n, from_x ? n : k, m, at[AT_X], from_x ? k : n, at[AT_Y],
                        from_x ? n : k, at[AT_W], from_x ? n : k, (flags & 1024) != 0);
        if (flags & 2048) nc_hlx_column_sums(at[AT_BIAS], at[AT_Y], m, from_x ? n : k);
    }
    nc_hlx_gemm_ref(trans_a, trans_b, m, n, k, a, trans_a ? m : k, at[AT_Z], trans_b ? k : n, c, n,
                    (flags & 4) != 0);
    for (i = 0; i < m * n; i++) {
        if (flags & 8) c[i] *= scale;
        if (flags & 16) c[i] += at[AT_BIAS][i % n];
        if (flags & 32) c[i] += at[AT_RESIDUAL][i];
    }
    if (flags & 4096) nc_hlx_bf16_round(c, m * n);
    if (flags & 64) (void)nc_hlx_activate(at[AT_BESIDE], c, m * n, NC_HLX_SILU);
    if (flags & 4096) nc_hlx_bf16_round(at[AT_BESIDE], m * n);
    if (flags & 128) (void)nc_hlx_activate_backward(c, c, at[AT_BESIDE], m * n, NC_HLX_SILU);
}

static size_t tiles_of(size_t m, size_t n, size_t side) {
    return ((m + side - 1) / side) * ((n + side - 1) / side);
}

static void multiplies_in_tiles(nc_gpu *device, const char *kernel, size_t side, uint32_t flags) {
    const uint32_t m = TILED_M, n = TILED_N, k = TILED_K, last = flags & 256 ? n : k;
    float *here = malloc(PLACES * TILED * 4), *there = malloc(PLACES * TILED * 4), *at[PLACES];
    size_t groups = tiles_of(m, n, side);
    nc_gpu_buffer *b[4];
    nc_gpu_job job;
    struct {
        uint32_t m, n, k, flags, heads, operands[5][4];
        float scale;
        uint32_t activation, off_bias, off_residual, off_beside;
    } push;
    uint64_t seed = flags + 1;
    size_t i;
    fill(here, PLACES * TILED, &seed);
    for (i = 0; i < PLACES; i++) at[i] = here + i * TILED;
    memset(&push, 0, sizeof push);
    push.m = m, push.n = n, push.k = k, push.flags = flags, push.heads = 1;
    for (i = 0; i < 5; i++) push.operands[i][0] = (uint32_t)(i * TILED);
    push.operands[AT_X][1] = flags & 512 ? n : flags & 1 ? m : k;
    push.operands[AT_Y][1] = push.operands[AT_W][1] = last;
    push.operands[AT_Z][1] = flags & 2 ? k : n;
    push.operands[AT_C][1] = n;
    push.scale = 0.3f;
    push.activation = NC_HLX_SILU;
    push.off_bias = AT_BIAS * TILED, push.off_residual = AT_RESIDUAL * TILED;
    push.off_beside = AT_BESIDE * TILED;
    if (flags & 256) groups += tiles_of(k, n, side);
    if (flags & 512) groups += tiles_of(n, k, side);
    nc_gpu_job_start(&job, device);
    b[0] = nc_gpu_job_buffer(&job, here, PLACES * TILED * 4, PLACES * TILED * 4);
    b[1] = b[2] = b[3] = b[0];
    nc_gpu_job_dispatch(&job, kernel, b, 4, &push, sizeof push, groups, 1, 1);
    if (nc_gpu_job_finish(&job, b[0], 0, there, PLACES * TILED * 4) != NC_OK)
        fail_msg("%s", nc_gpu_last_error(device));
    expected_product(at, flags, push.scale);
    same_floats(there, here, PLACES * TILED, kernel);
    free(here);
    free(there);
}

static void products_in_every_tile(nc_gpu *device) {
    /* transposed or not, +=; all of an epilogue; pairs with W = and +=, sums and slope */
    static const uint32_t flags[] = {0,          1,   2,    7,          8 + 16 + 32 + 64 + 4096,
                                     64,         256, 1282, 512 + 2048, 128 + 512 + 1024 + 2048 + 2,
                                     256 + 3072, 4};
    const int cuda = nc_gpu_get_caps(device)->kind == NC_GPU_CUDA;
    size_t i;
    for (i = 0; i < sizeof flags / sizeof *flags; i++) {
        multiplies_in_tiles(device, "gemm_32", 32, flags[i]);
        multiplies_in_tiles(device, "gemm", 64, flags[i]);
        if (cuda) multiplies_in_tiles(device, "gemm_128", 128, flags[i]);
    }
}

static void every_tile_and_epilogue_has_the_bits_of_the_cpu(void **state) {
    (void)state;
    on_every_road(products_in_every_tile);
}

/* The kernels of gated layers and rotary positions by themselves. */
enum { GATED_ROWS = 70, GATED = 300, TURNED = 3, PAIRS = 50, POSITIONS = 9 };
static void gates_and_turns_any_bits(nc_gpu *device) {
    enum { COUNT = GATED_ROWS * GATED, LD = 2 * TURNED * PAIRS };
    float *x = malloc(2 * COUNT * 4), *dy = malloc(COUNT * 4), *expected = malloc(2 * COUNT * 4);
    float *out = malloc(2 * COUNT * 4), *both = malloc(5 * COUNT * 4);
    uint64_t seed = 5;
    uint32_t of;
    size_t i;
    int back;
    for (i = 0; i < 2 * COUNT; i++) x[i] = any_float(&seed);
    for (i = 0; i < COUNT; i++) dy[i] = any_float(&seed);
    memcpy(both, x, 2 * COUNT * 4);
    memcpy(both + 2 * COUNT, dy, COUNT * 4);
    for (of = 0; of < NC_HLX_ACTIVATIONS; of++) {
        const uint32_t push[6] = {COUNT, GATED, of, 0, 2 * COUNT, 3 * COUNT};
        nc_gpu_buffer *one, *two[2];
        nc_gpu_job job;
        nc_gpu_job_start(&job, device);
        one = nc_gpu_job_buffer(&job, both, 3 * COUNT * 4, 5 * COUNT * 4);
        two[0] = two[1] = one;
        nc_gpu_job_dispatch(&job, "swiglu_backward", &one, 1, push, sizeof push,
                            (COUNT + 255) / 256, 1, 1);
        nc_gpu_job_dispatch(&job, "swiglu", two, 2, push, 20, (COUNT + 255) / 256, 1, 1);
        assert_int_equal(nc_gpu_job_finish(&job, one, 0, both, 5 * COUNT * 4), NC_OK);
        assert_int_equal(nc_hlx_swiglu_backward(expected, dy, x, GATED_ROWS, GATED, of), NC_OK);
        same_floats(both + 3 * COUNT, expected, 2 * COUNT, "gradient of a gate");
        assert_int_equal(nc_hlx_swiglu(expected, x, GATED_ROWS, GATED, of), NC_OK);
        same_floats(both + 2 * COUNT, expected, COUNT, "gated");
        memcpy(both + 2 * COUNT, dy, COUNT * 4);
    }
    for (back = 0; back < 2; back++) {
        const struct {
            uint32_t count, seq, turned, pairs, ld, off_x, off_table;
            float sign;
        } push = {GATED_ROWS * 2 * PAIRS, POSITIONS, 2, PAIRS, LD, 0, COUNT, back ? -1.0f : 1.0f};
        nc_gpu_buffer *two[2];
        nc_gpu_job job;
        nc_gpu_job_start(&job, device);
        two[0] = two[1] = nc_gpu_job_buffer(&job, x, 2 * COUNT * 4, 2 * COUNT * 4);
        nc_gpu_job_dispatch(&job, "rotary", two, 2, &push, sizeof push, (push.count + 255) / 256, 1,
                            1);
        assert_int_equal(nc_gpu_job_finish(&job, two[0], 0, out, 2 * COUNT * 4), NC_OK);
        memcpy(expected, x, 2 * COUNT * 4);
        nc_hlx_rotary(expected, x + COUNT, GATED_ROWS, POSITIONS, 2, 2 * PAIRS, LD, back);
        same_floats(out, expected, 2 * COUNT, "turned");
    }
    free(x);
    free(dy);
    free(expected);
    free(out);
    free(both);
}

/* Norms, with the gradients of their weights, softmax and losses. */
static void reduces_rows(nc_gpu *device, uint32_t rows, uint32_t n) {
    const uint32_t all = rows * n, eps = UINT32_C(0x3727C5AC); /* 1e-5f */
    /* x, weights and the gradient are read; the others written, y and ce in place */
    const uint32_t x = 0, gamma = all, beta = gamma + n, dy = beta + n, out = dy + all;
    const uint32_t dx = out + all, root = dx + all, droot = root + all, dgamma = droot + all;
    const uint32_t dbeta = dgamma + n, drms = dbeta + n, y = drms + n, sums = (n + 7) / 8;
    const uint32_t d_y = y + all, ce = d_y + all, small = ce + all, count = small + 5 * rows + 1;
    const uint32_t mean = small, rstd = mean + rows, rrstd = rstd + rows;
    const uint32_t loss = rrstd + rows, target = loss + rows, words = target + rows;
    const uint32_t layer[9] = {rows, n, x, gamma, beta, out, mean, rstd, eps};
    const uint32_t layer_back[10] = {rows, n, x, gamma, mean, rstd, dy, dx, dgamma, dbeta};
    const uint32_t rms[7] = {rows, n, x, gamma, root, rrstd, eps};
    const uint32_t rms_back[8] = {rows, n, x, gamma, rrstd, dy, droot, drms};
    const uint32_t soft[4] = {rows, n, 0, y};
    const uint32_t losses[6] = {rows, n, ce, loss, target, words};
    const struct {
        uint32_t rows, n, causal, off_y, off_dy;
        float scale;
    } soft_back = {rows, n, 0, y, d_y, 1.0f};
    float *here = calloc(count, 4), *there = malloc(count * 4);
    uint32_t *targets = malloc(rows * sizeof *targets);
    nc_gpu_buffer *b[3];
    nc_gpu_job job;
    uint64_t seed = n;
    uint32_t i;
    for (i = 0; i < out; i++) here[i] = (float)(test_random(&seed) % 20001) * 1e-4f - 1.0f;
    memcpy(here + dgamma, here + gamma, 2 * n * 4);
    memcpy(here + drms, here + beta, n * 4);
    memcpy(here + y, here + x, all * 4);
    memcpy(here + d_y, here + dy, all * 4);
    memcpy(here + ce, here + x, all * 4);
    for (i = 0; i < rows; i++) targets[i] = (i % 2 && n > 4096 ? 4096 : n) - 1;
    memcpy(here + target, targets, rows * sizeof *targets);
    here[words] = (float)rows;
    nc_gpu_job_start(&job, device);
    b[0] = b[1] = b[2] = nc_gpu_job_buffer(&job, here, count * 4, count * 4);
    nc_gpu_job_dispatch(&job, "layernorm", b, 3, layer, sizeof layer, rows, 1, 1);
    nc_gpu_job_dispatch(&job, "layernorm_backward", b, 2, layer_back, sizeof layer_back,
                        sums + rows, 1, 1);
    nc_gpu_job_dispatch(&job, "rmsnorm", b, 3, rms, sizeof rms, rows, 1, 1);
    nc_gpu_job_dispatch(&job, "rmsnorm_backward", b, 2, rms_back, sizeof rms_back, sums + rows, 1,
                        1);
    nc_gpu_job_dispatch(&job, "softmax", b, 1, soft, sizeof soft, rows, 1, 1);
    nc_gpu_job_dispatch(&job, "softmax_backward", b, 1, &soft_back, sizeof soft_back, rows, 1, 1);
    nc_gpu_job_dispatch(&job, "cross_entropy", b, 3, losses, sizeof losses, rows, 1, 1);
    assert_int_equal(nc_gpu_job_finish(&job, b[0], 0, there, count * 4), NC_OK);
    nc_hlx_layernorm(here + out, here + mean, here + rstd, here + x, here + gamma, here + beta,
                     rows, n);
    nc_hlx_layernorm_backward(here + dx, here + dgamma, here + dbeta, here + dy, here + x,
                              here + gamma, here + mean, here + rstd, rows, n);
    nc_hlx_rmsnorm(here + root, here + rrstd, here + x, here + gamma, rows, n, 1e-5f);
    nc_hlx_rmsnorm_backward(here + droot, here + drms, here + dy, here + x, here + gamma,
                            here + rrstd, rows, n);
    nc_hlx_softmax(here + y, rows, n, 0);
    nc_hlx_softmax_backward(here + d_y, here + y, rows, n, 0);
    (void)nc_hlx_cross_entropy(here + ce, targets, here + loss, rows, n);
    same_floats(there + out, here + out, count - out, "row");
    free(here);
    free(there);
    free(targets);
}

/* Rows of one and of several chunks of 4,096, of which the 33rd has the first lane again; columns
 * of less and more than the 64 rows of a step of their sums, and rows of less and more than the 8
 * columns of a group. */
static void reduces_rows_in_shapes(nc_gpu *device) {
    static const uint32_t shapes[][2] = {{2, 4096}, {2, 4097}, {2, 50257}, {2, 33 * 4096 + 5},
                                         {1, 1},    {63, 8},   {64, 7},    {193, 20}};
    size_t k;
    for (k = 0; k < sizeof shapes / sizeof *shapes; k++)
        reduces_rows(device, shapes[k][0], shapes[k][1]);
}

static void rows_and_columns_of_any_length_have_the_bits_of_the_cpu(void **state) {
    (void)state;
    on_each_device(reduces_rows_in_shapes);
}

/* Numbers of any size whose products underflow, so that zeros of both signs come up in sums. */
static void fill_heads(float *x, size_t n, uint64_t *seed) {
    size_t i;
    for (i = 0; i < n; i++) {
        const uint64_t r = test_random(seed);
        x[i] = (float)(r >> 8 & 0x7FF) * 1e-3f - 1.0f;
        if (r % 8 == 0) x[i] = -0.0f;
        if (r % 8 == 1) x[i] *= 1e-38f;
        if (i % 3 == 0) x[i] = -1.4e-45f;
    }
}

/* The kernels of flash attention by themselves: more than one group, steps that one of its halves does
 * not see, heads of more than 64, lengths and sizes that fill nothing. */
static void attends_as_here(nc_gpu *device, const nc_hlx_heads *shape) {
    const size_t d = shape->heads * shape->head_size, rows = shape->batch * shape->seq;
    const size_t kv = shape->kv_heads * shape->head_size, ld = d + 2 * kv;
    const size_t qkv = 0, dout = rows * ld, out = dout + rows * d, lse = out + rows * d;
    const size_t dqkv = lse + rows * shape->heads, delta = dqkv + rows * ld;
    const size_t count = delta + rows * shape->heads, groups = (shape->seq + 63) / 64;
    const size_t bytes = nc_hlx_attention_work_bytes(shape, 1, 1);
    float *here = calloc(count, 4), *there = malloc(count * 4);
    void *work = malloc(bytes);
    struct {
        uint32_t seq, causal, heads, kv_heads, head_size, off_qkv, off_out, off_lse;
        float scale;
        uint32_t off_dout, off_dqkv, off_delta, keys;
    } push;
    uint64_t seed = count;
    nc_gpu_buffer *x;
    nc_gpu_job job;
    fill_heads(here, out, &seed);
    push.seq = (uint32_t)shape->seq, push.causal = (uint32_t)shape->causal;
    push.heads = (uint32_t)shape->heads, push.kv_heads = (uint32_t)shape->kv_heads;
    push.head_size = (uint32_t)shape->head_size, push.off_qkv = (uint32_t)qkv;
    push.off_out = (uint32_t)out, push.off_lse = (uint32_t)lse, push.off_dout = (uint32_t)dout;
    push.off_dqkv = (uint32_t)dqkv, push.off_delta = (uint32_t)delta;
    push.scale = 1.0f / sqrtf((float)shape->head_size);
    nc_gpu_job_start(&job, device);
    x = nc_gpu_job_buffer(&job, here, count * 4, count * 4);
    nc_gpu_job_dispatch(&job, "flash_attention", &x, 1, &push, 36, groups,
                        shape->batch * shape->heads, 1);
    for (push.keys = 0; push.keys < 2; push.keys++)
        nc_gpu_job_dispatch(&job, "flash_attention_backward", &x, 1, &push, sizeof push, groups,
                            shape->batch * (push.keys ? shape->kv_heads : shape->heads), 1);
    assert_int_equal(nc_gpu_job_finish(&job, x, 0, there, count * 4), NC_OK);
    assert_int_equal(nc_hlx_flash_attention(here + out, here + lse, here, shape, work, bytes),
                     NC_OK);
    assert_int_equal(nc_hlx_flash_attention_backward(here + dqkv, here + dout, here + out,
                                                     here + lse, here, shape, work, bytes),
                     NC_OK);
    same_floats(there + out, here + out, delta - out, "attention");
    free(here);
    free(there);
    free(work);
}

static void attends_in_shapes(nc_gpu *device) {
    static const nc_hlx_heads shapes[] = {
        {2, 37, 3, 12, 1, 3}, {1, 1, 1, 1, 1, 1},    {1, 97, 2, 64, 1, 1},
        {1, 130, 1, 7, 0, 1}, {1, 70, 1, 130, 1, 1}, {1, 65, 1, 66, 0, 1},
    };
    size_t k;
    for (k = 0; k < sizeof shapes / sizeof *shapes; k++) attends_as_here(device, &shapes[k]);
}

static void flash_attention_of_any_shape_has_the_bits_of_the_cpu(void **state) {
    (void)state;
    on_each_device(attends_in_shapes);
}

/* The gradient of the scores of every head, by products and softmax by themselves. */
static void scores_backward(float *d_scores, const float *kept, const float *dout, const float *qkv,
                            const nc_hlx_heads *shape) {
    const size_t n = shape->head_size, d = shape->heads * n, kv = shape->kv_heads * n;
    const size_t seq = shape->seq, ld = d + 2 * kv, sharing = shape->heads / shape->kv_heads;
    const float scale = 1.0f / sqrtf((float)n);
    size_t w, h, i;
    for (w = 0; w < shape->batch; w++)
        for (h = 0; h < shape->heads; h++) {
            const size_t at = (w * shape->heads + h) * seq * seq;
            const float *values = qkv + w * seq * ld + d + kv + h / sharing * n;
            nc_hlx_gemm_ref(0, 1, seq, seq, n, dout + w * seq * d + h * n, d, values, ld,
                            d_scores + at, seq, 0);
            nc_hlx_softmax_backward(d_scores + at, kept + at, seq, seq, 1);
            for (i = 0; i < seq * seq; i++) d_scores[at + i] *= scale;
        }
}

/* Attention of a window in one dispatch and the scores' gradient in another. */
static void attends_at_once_as_here(nc_gpu *device, const nc_hlx_heads *shape) {
    const size_t d = shape->heads * shape->head_size, rows = shape->batch * shape->seq;
    const size_t kv = shape->kv_heads * shape->head_size, ld = d + 2 * kv;
    const size_t weights = rows * shape->heads * shape->seq, groups = (shape->seq + 31) / 32;
    const size_t dout = rows * ld, out = dout + rows * d, kept = out + rows * d;
    const size_t d_scores = kept + weights, count = d_scores + weights;
    const size_t bytes = nc_hlx_attention_work_bytes(shape, 0, 1);
    float *here = calloc(count, 4), *there = malloc(count * 4);
    void *work = malloc(bytes);
    struct {
        uint32_t seq, heads, kv_heads, head_size, off_qkv, off_rows, off_kept;
        float scale;
        uint32_t off_dkept;
    } push;
    uint64_t seed = count;
    nc_gpu_buffer *x;
    nc_gpu_job job;
    fill_heads(here, out, &seed);
    push.seq = (uint32_t)shape->seq;
    push.heads = (uint32_t)shape->heads, push.kv_heads = (uint32_t)shape->kv_heads;
    push.head_size = (uint32_t)shape->head_size, push.off_qkv = 0;
    push.off_rows = (uint32_t)out, push.off_kept = (uint32_t)kept;
    push.off_dkept = (uint32_t)d_scores;
    push.scale = 1.0f / sqrtf((float)shape->head_size);
    nc_gpu_job_start(&job, device);
    x = nc_gpu_job_buffer(&job, here, count * 4, count * 4);
    nc_gpu_job_dispatch(&job, "attention", &x, 1, &push, 32, groups, shape->batch * shape->heads,
                        1);
    push.off_rows = (uint32_t)dout;
    nc_gpu_job_dispatch(&job, "attention_backward", &x, 1, &push, sizeof push, groups,
                        shape->batch * shape->heads, 1);
    assert_int_equal(nc_gpu_job_finish(&job, x, 0, there, count * 4), NC_OK);
    assert_int_equal(nc_hlx_attention(here + out, here + kept, here, shape, work, bytes), NC_OK);
    scores_backward(here + d_scores, here + kept, here + dout, here, shape);
    same_floats(there, here, count, "attention at once");
    free(here);
    free(there);
    free(work);
}

static void attends_at_once_in_shapes(nc_gpu *device) {
    static const nc_hlx_heads shapes[] = {
        {2, 37, 4, 12, 1, 2},  {1, 1, 1, 1, 1, 1},   {1, 128, 2, 64, 1, 1},
        {1, 113, 1, 70, 1, 1}, {1, 16, 2, 33, 1, 2}, {2, 65, 1, 130, 1, 1},
    };
    size_t k;
    for (k = 0; k < sizeof shapes / sizeof *shapes; k++)
        attends_at_once_as_here(device, &shapes[k]);
}

static void fused_attention_of_any_shape_has_the_bits_of_the_cpu(void **state) {
    (void)state;
    on_each_device(attends_at_once_in_shapes);
}

/* A token in most of 300 rows, columns of more than a group, gradients that have values already. */
static void embeds_as_here(nc_gpu *device) {
    enum { VOCAB = 7, SEQ = 100, ROWS = 300, D = 130, WEIGHTS = (VOCAB + SEQ) * D };
    float *dout = malloc(ROWS * D * 4), *here = malloc(WEIGHTS * 4), *there = malloc(WEIGHTS * 4);
    const uint32_t push[9] = {ROWS, D, SEQ, 0, 0, ROWS, 2 * ROWS, 0, VOCAB * D};
    uint32_t list[3 * ROWS + 1], *order = list + ROWS, *start = order + ROWS, t, at = 0, n = 0;
    uint64_t seed = 3;
    nc_gpu_buffer *gradients;
    nc_gpu_job job;
    size_t i;
    fill(dout, ROWS * D, &seed);
    fill(here, WEIGHTS, &seed);
    for (i = 0; i < ROWS; i++) list[i] = i % 10 < 7 ? 3 : (uint32_t)(i % VOCAB);
    for (t = 0; t < VOCAB; t++) {
        start[n++] = at;
        for (i = 0; i < ROWS; i++)
            if (list[i] == t) order[at++] = (uint32_t)i;
    }
    for (; n <= ROWS; n++) start[n] = ROWS;
    nc_gpu_job_start(&job, device);
    (void)nc_gpu_job_buffer(&job, dout, ROWS * D * 4, ROWS * D * 4);
    (void)nc_gpu_job_buffer(&job, list, sizeof list, sizeof list);
    gradients = nc_gpu_job_buffer(&job, here, WEIGHTS * 4, WEIGHTS * 4);
    nc_gpu_job_dispatch(&job, "embedding_backward", NULL, 3, push, sizeof push, ROWS + SEQ, 2, 1);
    assert_int_equal(nc_gpu_job_finish(&job, gradients, 0, there, WEIGHTS * 4), NC_OK);
    nc_hlx_embedding_backward(here, here + VOCAB * D, dout, list, ROWS, SEQ, D);
    same_floats(there, here, WEIGHTS, "gradient of an embedding");
    free(dout);
    free(here);
    free(there);
}

static void embeddings_of_many_rows_have_the_gradients_of_the_cpu(void **state) {
    (void)state;
    on_each_device(embeds_as_here);
}

/* A first element inside a counter's four, counters that pass 2^32, and a sum with a residual. */
static void drops_as_here(nc_gpu *device) {
    enum { COUNT = 2501 };
    static const uint64_t first[] = {0, 3, UINT64_C(0x3FFFFFFFF), UINT64_C(0xFFFFFFFFFFFFF001)};
    const uint32_t control[16] = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 11, 12, 13 << 8, 14, 0};
    float x[2 * COUNT], out[COUNT], expected[COUNT];
    uint64_t seed = 6;
    size_t k, i;
    fill(x, 2 * COUNT, &seed);
    for (k = 0; k < sizeof first / sizeof *first; k++) {
        struct {
            uint32_t count, off_in, off_out, first_low, first_high, place, threshold, added;
            uint32_t off_residual;
            float scale;
        } push = {COUNT,    0,     0,     (uint32_t)first[k],   (uint32_t)(first[k] >> 32), 5,
                  1u << 30, k % 2, COUNT, 1.0f / (1.0f - 0.25f)};
        nc_gpu_buffer *values;
        nc_gpu_job job;
        nc_gpu_job_start(&job, device);
        values = nc_gpu_job_buffer(&job, x, sizeof x, sizeof x);
        (void)nc_gpu_job_buffer(&job, control, sizeof control, sizeof control);
        nc_gpu_job_dispatch(&job, "dropout", NULL, 2, &push, sizeof push,
                            (COUNT + first[k] % 4 + 1023) / 1024, 1, 1);
        assert_int_equal(nc_gpu_job_finish(&job, values, 0, out, sizeof out), NC_OK);
        nc_hlx_dropout(expected, x, COUNT, first[k], 0.25f, UINT64_C(12) << 32 | 11,
                       UINT64_C(14) << 32 | 13 << 8 | 5);
        for (i = 0; push.added && i < COUNT; i++) expected[i] += x[COUNT + i];
        same_floats(out, expected, COUNT, "dropout");
    }
}

static void dropout_from_any_counter_is_that_of_the_cpu(void **state) {
    (void)state;
    on_each_device(drops_as_here);
}

static void gated_layers_and_rotary_positions_are_exact_on_any_bits(void **state) {
    (void)state;
    on_each_device(gates_and_turns_any_bits);
}

static void training_on_a_device_gives_the_bits_of_the_cpu(void **state) {
    static const char text[] =
        "In the beginning God created the heaven and the earth. And the earth "
        "was without form, and void; and darkness was upon the face of the "
        "deep.";
    nc_hlx_adamw adamw;
    road list[2];
    size_t n = roads(list), r, i, count;
    int variant;
    (void)state;
    memset(&adamw, 0, sizeof adamw);
    adamw.lr = 1e-2f;
    adamw.weight_decay = 0.1f;
    adamw.clip_norm = 1.0f;
    adamw.warmup_steps = 3;
    for (r = 0; r < n; r++)
        for (variant = 0; variant < VARIANTS; variant++) {
            nc_gpu *device = device_of(list, r);
            nc_hlx_model *here = small_model(variant), *there = small_model(variant);
            const uint32_t seq = nc_hlx_get_config(here)->max_seq_len;
            nc_hlx_loader a, b;
            nc_hlx_stats x, y;
            nc_hlx_gpu *gpu;
            nc_status status;
            const float *mine, *theirs;
            if (!device) continue;
            assert_int_equal(nc_hlx_loader_init(&a, text, sizeof text, seq, 7), NC_OK);
            assert_int_equal(nc_hlx_loader_init(&b, text, sizeof text, seq, 7), NC_OK);
            status = nc_hlx_gpu_create(&gpu, device, there, &adamw);
            if (status != NC_OK) fail_msg("%s: %s", list[r].name, nc_gpu_last_error(device));
            for (i = 0; i < 3; i++) {
                if (i == 1) { /* a step here in between, then on with the device */
                    assert_int_equal(nc_hlx_gpu_download(gpu), NC_OK);
                    assert_int_equal(nc_hlx_digest(there), nc_hlx_digest(here));
                    mine = nc_hlx_gradients(here, &count);
                    theirs = nc_hlx_gradients(there, &count);
                    assert_memory_equal(theirs, mine, count * sizeof *mine);
                    assert_int_equal(nc_hlx_train_step(there, &b, &adamw, &y), NC_OK);
                    assert_int_equal(nc_hlx_gpu_upload(gpu), NC_OK);
                } else {
                    status = nc_hlx_gpu_train_step(gpu, &b, &adamw, &y);
                    if (status != NC_OK) fail_msg("%s", nc_gpu_last_error(device));
                }
                assert_int_equal(nc_hlx_train_step(here, &a, &adamw, &x), NC_OK);
                assert_memory_equal(&x, &y, sizeof x); /* loss, norm and rate to the bit */
            }
            assert_int_equal(nc_hlx_gpu_download(gpu), NC_OK);
            assert_int_equal(nc_hlx_digest(there), nc_hlx_digest(here));
            printf("%s: three steps, variant %d: %016llx\n", list[r].name, variant,
                   (unsigned long long)nc_hlx_digest(there));
            assert_int_equal(nc_gpu_get_caps(device)->validation_errors, 0);
            nc_hlx_gpu_destroy(gpu);
            nc_hlx_destroy(here);
            nc_hlx_destroy(there);
        }
}

/* LLaMA's blocks: 0 all of them, with two queries to a key; 1 Qwen2's biases, tied, flash attention
 * across tiles, scaled positions, three queries to a key and heads wider together than the model; 2
 * bfloat16, dropout and recomputed layers; 3 and 4 each half of them beside GPT-2's; 5 a vocabulary
 * and 6 a width of more than a chunk of the fixed reduction; 7 as 0 with windows that are too long for
 * fused attention. */
enum { LLAMAS = 8 };
static nc_hlx_config llama_config(int which) {
    nc_hlx_config c;
    memset(&c, 0, sizeof c);
    c.vocab_size = 256;
    c.d_model = 24;
    c.num_layers = 2;
    c.num_heads = which == 1 ? 6 : 4;
    c.num_kv_heads = which == 4 ? 0 : 2;
    c.head_size = which == 1 ? 10 : 0;
    c.ffn_dim = 20;
    c.max_seq_len = which == 0 ? 17 : which == 1 ? 37 : 15;
    c.batch_size = which == 1 ? 1 : 2;
    c.rms_norm = c.rotary = which != 3;
    c.norm_eps = which == 4 ? 0.0f : 1e-6f;
    c.gated_ffn = which != 4;
    c.activation = which == 3 ? NC_HLX_GELU : NC_HLX_SILU;
    c.biases = which == 1 ? NC_HLX_BIASES_QKV : which < 3 ? NC_HLX_BIASES_NONE : NC_HLX_BIASES_ALL;
    if (which == 1) {
        c.rope_theta = 500.0f;
        c.rope_original = 16;
        c.rope_factor = 4.0f, c.rope_low = 1.0f, c.rope_high = 4.0f;
        c.tied_output = c.flash = 1;
    }
    c.bf16 = c.recompute = which == 2;
    c.dropout = which == 2 ? 0.1f : 0.0f;
    c.micro_batches = which == 4 ? 2 : 1;
    if (which == 7) c.max_seq_len = 129, c.batch_size = 1, c.num_layers = 1;
    if (which == 5) c.vocab_size = 5000, c.max_seq_len = 5, c.num_layers = c.tied_output = 1;
    if (which == 6) {
        c.d_model = 4100, c.head_size = 2, c.vocab_size = 16, c.ffn_dim = 4, c.batch_size = 1;
        c.max_seq_len = 5, c.num_layers = c.tied_output = 1;
    }
    return c;
}

/* Two steps, of those that are large one, and a validation, with every gradient of the last. */
static void llama_trains_as_here(nc_gpu *device, int which) {
    static const char text[] = "But of the tree of the knowledge of good and evil, thou shalt not "
                               "eat of it: for in the day that thou eatest thereof thou shalt "
                               "surely die.";
    const nc_hlx_adamw adamw = {1e-2f, 0, 0, 0, 0, 0.1f, 1.0f, 2, 0};
    const nc_hlx_config c = llama_config(which);
    const uint32_t steps = which < 5 ? 2 : 1, windows = which < 5 ? 3 : 1;
    uint8_t tokens[sizeof text];
    nc_hlx_model *here, *there;
    nc_hlx_loader a, b;
    nc_hlx_stats x, y;
    nc_hlx_gpu *gpu;
    const float *mine, *theirs;
    float loss[2];
    size_t count, i;
    assert_int_equal(nc_hlx_create(&here, &c, NULL), NC_OK);
    assert_int_equal(nc_hlx_create(&there, &c, NULL), NC_OK);
    nc_hlx_init_weights(here, 8);
    nc_hlx_init_weights(there, 8);
    for (i = 0; i < sizeof text; i++) tokens[i] = (uint8_t)((uint8_t)text[i] % c.vocab_size);
    assert_int_equal(nc_hlx_loader_init(&a, tokens, sizeof tokens, c.max_seq_len, 7), NC_OK);
    b = a;
    if (nc_hlx_gpu_create(&gpu, device, there, &adamw) != NC_OK)
        fail_msg("%s", nc_gpu_last_error(device));
    for (i = 0; i < steps; i++) {
        assert_int_equal(nc_hlx_train_step(here, &a, &adamw, &x), NC_OK);
        assert_int_equal(nc_hlx_gpu_train_step(gpu, &b, &adamw, &y), NC_OK);
        assert_memory_equal(&x, &y, sizeof x);
    }
    assert_int_equal(nc_hlx_evaluate(here, &a, windows, &loss[0]), NC_OK);
    assert_int_equal(nc_hlx_gpu_evaluate(gpu, &b, windows, NULL, NULL, &loss[1]), NC_OK);
    assert_memory_equal(&loss[0], &loss[1], sizeof *loss);
    assert_int_equal(nc_hlx_gpu_download(gpu), NC_OK);
    mine = nc_hlx_gradients(here, &count);
    theirs = nc_hlx_gradients(there, &count);
    same_floats(theirs, mine, count, "gradient");
    assert_int_equal(nc_hlx_digest(there), nc_hlx_digest(here));
    printf("LLaMA %d: loss %.4f: %016llx\n", which, (double)loss[1],
           (unsigned long long)nc_hlx_digest(there));
    nc_hlx_gpu_destroy(gpu);
    nc_hlx_destroy(here);
    nc_hlx_destroy(there);
}

static void llama_models_train_and_evaluate_with_the_bits_of_the_cpu(void **state) {
    road list[2];
    size_t n = roads(list), i;
    int which;
    (void)state;
    for (i = 0; i < n; i++) {
        nc_gpu *device = device_of(list, i);
        if (!device) continue;
        for (which = 0; which < LLAMAS; which++) llama_trains_as_here(device, which);
        assert_int_equal(nc_gpu_get_caps(device)->validation_errors, 0);
    }
}

/* Two micro-batches of which a mask leaves few targets, validation, and a step that is not finite. */
static void trains_as_here(nc_gpu *device) {
    static const nc_hlx_adamw bad = {-1.0f, 0, 0, 0, 0, 0, 0, 0, 0};
    uint8_t text[600], mask[600];
    nc_hlx_config config = {0};
    nc_hlx_model *here, *there;
    nc_hlx_loader a, b;
    nc_hlx_stats x, y;
    nc_hlx_gpu *gpu;
    float loss[2], *p, kept;
    size_t i;
    for (i = 0; i < sizeof text; i++) {
        text[i] = (uint8_t)(i * i % 61);
        mask[i] = i % 7 == 0;
    }
    config.vocab_size = 61, config.d_model = 16, config.num_layers = 1, config.num_heads = 2;
    config.ffn_dim = 16, config.max_seq_len = 8, config.batch_size = 3, config.micro_batches = 2;
    assert_int_equal(nc_hlx_create(&here, &config, NULL), NC_OK);
    assert_int_equal(nc_hlx_create(&there, &config, NULL), NC_OK);
    nc_hlx_init_weights(here, 2);
    nc_hlx_init_weights(there, 2);
    assert_int_equal(nc_hlx_loader_init(&a, text, sizeof text, 8, 7), NC_OK);
    a.mask = mask;
    b = a;
    assert_int_equal(nc_hlx_gpu_create(&gpu, device, there, &bad), NC_ERR_ARG);
    assert_int_equal(nc_hlx_gpu_create(&gpu, device, there, NULL), NC_OK);
    for (i = 0; i < 2; i++) {
        assert_int_equal(nc_hlx_train_step(here, &a, NULL, &x), NC_OK);
        assert_int_equal(nc_hlx_gpu_train_step(gpu, &b, NULL, &y), NC_OK);
        assert_memory_equal(&x, &y, sizeof x);
        assert_int_equal(nc_hlx_evaluate(here, &a, 10, &loss[0]), NC_OK);
        assert_int_equal(nc_hlx_gpu_evaluate(gpu, &b, 10, NULL, NULL, &loss[1]), NC_OK);
        assert_memory_equal(&loss[0], &loss[1], sizeof *loss);
    }
    assert_int_equal(nc_hlx_gpu_train_step(gpu, &b, &bad, &y), NC_ERR_ARG);
    p = nc_hlx_parameters(there, &i);
    assert_int_equal(nc_hlx_gpu_download(gpu), NC_OK);
    assert_int_equal(nc_hlx_digest(there), nc_hlx_digest(here));
    kept = p[i - 1], p[i - 1] = NAN;
    assert_int_equal(nc_hlx_gpu_upload(gpu), NC_OK);
    assert_int_equal(nc_hlx_gpu_train_step(gpu, &b, NULL, &y), NC_ERR_MATH);
    assert_true(isnan(y.loss) && y.step == 3 && nc_hlx_step(there) == 2 && b.next == a.next);
    assert_int_equal(nc_hlx_gpu_download(gpu), NC_OK);
    p[i - 1] = kept;
    assert_int_equal(nc_hlx_digest(there), nc_hlx_digest(here)); /* nothing moved */
    assert_int_equal(nc_hlx_gpu_upload(gpu), NC_OK);
    assert_int_equal(nc_hlx_gpu_train_step(gpu, &b, NULL, &y), NC_OK);
    assert_int_equal(nc_hlx_train_step(here, &a, NULL, &x), NC_OK);
    assert_memory_equal(&x, &y, sizeof x);
    text[(b.count - 1) / 8 * 8 - 1] = 61; /* outside the vocabulary, in the last window */
    assert_int_equal(nc_hlx_gpu_evaluate(gpu, &b, 1000, NULL, NULL, &loss[1]), NC_ERR_ARG);
    nc_hlx_gpu_destroy(gpu);
    nc_hlx_destroy(here);
    nc_hlx_destroy(there);
}

static void masks_validation_and_stops_on_a_device_are_those_of_the_cpu(void **state) {
    (void)state;
    on_each_device(trains_as_here);
}

/* A step that the device loses has not happened. */
static void a_lost_step_moves_neither_loader_nor_model(void **state) {
    static const char library[] = "build/shim/libcuda_on_cpu.so";
    void *shim = dlopen(library, RTLD_NOW);
    cuda_driver_on_cpu *driver = shim ? dlsym(shim, "cuda_on_cpu") : NULL;
    nc_hlx_model *model = small_model(PLAIN);
    nc_gpu_desc desc = {0};
    nc_hlx_loader loader, before;
    nc_hlx_gpu *gpu;
    nc_gpu *device;
    uint8_t text[300];
    uint64_t digest;
    unsigned waits;
    float loss;
    size_t i;
    (void)state;
    assert_non_null(driver);
    desc.kind = NC_GPU_CUDA;
    desc.library = library;
    desc.kernel_path = "build/shim";
    for (i = 0; i < sizeof text; i++) text[i] = (uint8_t)(i * i % 61);
    assert_int_equal(nc_gpu_open(&device, &desc, NULL), NC_OK);
    assert_int_equal(nc_hlx_loader_init(&loader, text, sizeof text, 17, 7), NC_OK);
    assert_int_equal(nc_hlx_gpu_create(&gpu, device, model, NULL), NC_OK);
    waits = driver->waits;
    assert_int_equal(nc_hlx_gpu_train_step(gpu, &loader, NULL, NULL), NC_OK);
    assert_int_equal(driver->waits, waits + 1); /* uploads, step and its scalars are one */
    digest = nc_hlx_digest(model);
    before = loader;
    driver->fault_after = 25; /* in the middle of the step */
    driver->fault = 719;
    for (i = 0; i < 2; i++) {
        assert_int_equal(nc_hlx_gpu_train_step(gpu, &loader, NULL, NULL), NC_ERR_DEVICE);
        assert_memory_equal(&loader, &before, sizeof loader);
        assert_int_equal(nc_hlx_step(model), 1);
        assert_int_equal(nc_hlx_digest(model), digest);
    }
    assert_int_equal(nc_hlx_gpu_evaluate(gpu, &loader, 1, NULL, NULL, &loss), NC_ERR_DEVICE);
    assert_int_equal(nc_hlx_gpu_download(gpu), NC_ERR_DEVICE);
    assert_int_equal(nc_hlx_digest(model), digest);
    nc_hlx_gpu_destroy(gpu);
    nc_gpu_close(device);
    nc_hlx_destroy(model);
    dlclose(shim);
}

static void refuses_a_part(nc_gpu *device) {
    nc_hlx_gpu *gpu;
    nc_hlx_model *part;
    assert_int_equal(nc_hlx_create_shard(&part, NULL, 0, 100, NULL), NC_OK);
    assert_int_equal(nc_hlx_gpu_create(&gpu, device, part, NULL), NC_ERR_UNSUPPORTED);
    assert_null(gpu);
    nc_hlx_destroy(part);
}

static void a_device_takes_no_model_with_a_part_of_the_moments(void **state) {
    (void)state;
    on_each_device(refuses_a_part);
}

/* What a step of the preset "tiny" asks of a device, which does not run it here; a small model's
 * does run, and is one submission. */
static void a_step_is_few_dispatches_and_one_submission(void **state) {
    static const char library[] = "build/shim/libvulkan_between.so";
    static const char text[] = "And God said, Let there be light: and there was light.";
    static const unsigned most[2][2] = {{77, 70}, {73, 70}}; /* dispatches, barriers; with flash */
    vulkan_between *between;
    nc_gpu_desc desc = {.kind = NC_GPU_VULKAN, .library = library, .kernel_path = "build/kernels"};
    void *shim;
    nc_gpu *device;
    nc_error err;
    uint32_t flash;
    (void)state;
    if (getenv("NC_TEST_NO_VULKAN")) skip();
    shim = dlopen(library, RTLD_NOW);
    if (!shim) fail_msg("%s", dlerror());
    between = (vulkan_between *)dlsym(shim, "between");
    if (nc_gpu_open(&device, &desc, &err) != NC_OK) {
        if (!getenv("NC_TEST_GPU")) fail_msg("%s", err.message);
        skip();
    }
    for (flash = 0; flash < 2; flash++) {
        nc_hlx_config c;
        nc_hlx_model *tiny, *small = small_model(flash ? FLASH : PLAIN);
        nc_hlx_loader loader;
        nc_hlx_gpu *gpu;
        unsigned submits;
        assert_int_equal(nc_hlx_preset("tiny", &c), NC_OK);
        c.flash = flash;
        assert_int_equal(nc_hlx_create(&tiny, &c, NULL), NC_OK);
        between->dispatches = between->barriers = 0;
        assert_int_equal(nc_hlx_gpu_create(&gpu, device, tiny, NULL), NC_OK);
        printf("tiny%s: %u dispatches, %u barriers\n", flash ? " with flash" : "",
               between->dispatches, between->barriers);
        assert_true(between->dispatches > 0 && between->dispatches <= most[flash][0]);
        assert_true(between->barriers > 0 && between->barriers <= most[flash][1]);
        nc_hlx_gpu_destroy(gpu);
        nc_hlx_destroy(tiny);
        assert_int_equal(nc_hlx_loader_init(&loader, text, sizeof text,
                                            nc_hlx_get_config(small)->max_seq_len, 7),
                         NC_OK);
        assert_int_equal(nc_hlx_gpu_create(&gpu, device, small, NULL), NC_OK);
        submits = between->submits;
        assert_int_equal(nc_hlx_gpu_train_step(gpu, &loader, NULL, NULL), NC_OK);
        assert_int_equal(between->submits - submits, 1);
        nc_hlx_gpu_destroy(gpu);
        nc_hlx_destroy(small);
    }
    nc_gpu_close(device);
    dlclose(shim);
}

static void programs_replay_and_barriers_order_dispatches(void **state) {
    road list[2];
    size_t n = roads(list), i;
    (void)state;
    for (i = 0; i < n; i++) {
        /* x <- x * y twice in one program, run three times: y = 2 I, so x grows by 4 a run */
        static const size_t groups[3] = {1, 1, 1};
        uint32_t push[30] = {4, 4, 4, 0, 1}; /* as nc_hlx_gpu_gemm fills it */
        float x[16], y[16], out[16];
        nc_gpu *gpu = device_of(list, i);
        nc_gpu_buffer *ab[4], *ba[4];
        nc_gpu_kernel *gemm;
        nc_gpu_program *program;
        uint64_t time;
        int j;
        if (!gpu) continue;
        push[6] = push[14] = push[22] = 4; /* strides of A, B and C */
        for (j = 0; j < 16; j++) {
            x[j] = (float)j;
            y[j] = j % 5 == 0 ? 2.0f : 0.0f;
        }
        assert_int_equal(nc_gpu_kernel_load(gpu, "gemm", &gemm), NC_OK);
        for (j = 0; j < 3; j++)
            assert_int_equal(nc_gpu_buffer_create(gpu, sizeof x, &ab[j]), NC_OK);
        ab[3] = ba[0] = ab[2];
        ba[1] = ab[1];
        ba[2] = ba[3] = ab[0];
        assert_int_equal(nc_gpu_upload(gpu, ab[0], 0, x, sizeof x), NC_OK);
        assert_int_equal(nc_gpu_upload(gpu, ab[1], 0, y, sizeof y), NC_OK);
        assert_int_equal(nc_gpu_begin(gpu), NC_OK);
        assert_int_equal(nc_gpu_begin(gpu), NC_ERR_ARG);
        assert_int_equal(nc_gpu_dispatch(gpu, gemm, ab, 4, push, sizeof push, groups), NC_OK);
        assert_int_equal(nc_gpu_barrier(gpu), NC_OK);
        assert_int_equal(nc_gpu_dispatch(gpu, gemm, ba, 4, push, sizeof push, groups), NC_OK);
        assert_int_equal(nc_gpu_end(gpu, &program), NC_OK);
        for (j = 0; j < 3; j++) assert_int_equal(nc_gpu_run(gpu, program, &time), NC_OK);
        assert_int_equal(nc_gpu_download(gpu, ab[0], 0, out, sizeof out), NC_OK);
        for (j = 0; j < 16; j++) assert_true(out[j] == 64.0f * x[j]);
        nc_gpu_program_destroy(gpu, program);
        for (j = 0; j < 3; j++) nc_gpu_buffer_destroy(gpu, ab[j]);
        assert_int_equal(nc_gpu_get_caps(gpu)->validation_errors, 0);
    }
}

static void write_text(const char *path, const char *text) {
    FILE *file = fopen(path, "wb");
    assert_non_null(file);
    fputs(text, file);
    fclose(file);
}

static void errors_are_clear_and_leave_the_device_usable(void **state) {
    static const size_t one[3] = {1, 1, 1}, none[3] = {0, 1, 1}, deep[3] = {65536, 1, 2};
    road list[2];
    size_t n = roads(list), i;
    nc_gpu_desc desc;
    nc_error err;
    nc_gpu *gpu;
    (void)state;
    memset(&desc, 0, sizeof desc);
    desc.kind = NC_GPU_VULKAN;
    desc.library = "build/no_such_driver.so";
    assert_int_equal(nc_gpu_open(&gpu, &desc, &err), NC_ERR_DEVICE);
    assert_non_null(strstr(err.message, "no_such_driver"));
    desc.kind = NC_GPU_ANY; /* neither driver is there */
    assert_int_equal(nc_gpu_open(&gpu, &desc, &err), NC_ERR_DEVICE);
    desc.kind = (nc_gpu_kind)7;
    assert_int_equal(nc_gpu_open(&gpu, &desc, &err), NC_ERR_ARG);
    assert_int_equal(nc_gpu_open(NULL, &desc, &err), NC_ERR_ARG);
    nc_gpu_close(NULL);
    for (i = 0; i < n; i++) {
        nc_gpu_kernel *kernel;
        nc_gpu_buffer *buffer;
        nc_gpu_program *program;
        float x[4] = {0};
        gpu = device_of(list, i);
        if (!gpu) continue;
        assert_int_equal(nc_gpu_kernel_load(gpu, "nothing", &kernel), NC_ERR_DEVICE);
        assert_non_null(strstr(nc_gpu_last_error(gpu), list[i].desc.kernel_path));
        assert_non_null(strstr(nc_gpu_last_error(gpu), "nothing"));
        assert_int_equal(nc_gpu_kernel_load(gpu, "../gemm", &kernel), NC_ERR_ARG);
        assert_int_equal(nc_gpu_buffer_create(gpu, 0, &buffer), NC_ERR_ARG);
        assert_int_equal(nc_gpu_buffer_create(gpu, SIZE_MAX / 2, &buffer), NC_ERR_LIMIT);
        assert_null(buffer);
        assert_int_equal(nc_gpu_buffer_create(gpu, 16, &buffer), NC_OK);
        assert_int_equal(nc_gpu_upload(gpu, buffer, 8, x, 12), NC_ERR_ARG);
        assert_int_equal(nc_gpu_download(gpu, buffer, 17, x, 0), NC_ERR_ARG);
        assert_int_equal(nc_gpu_end(gpu, &program), NC_ERR_ARG);
        assert_int_equal(nc_gpu_barrier(gpu), NC_ERR_ARG);
        assert_int_equal(nc_gpu_begin(gpu), NC_OK);
        assert_int_equal(nc_gpu_kernel_load(gpu, "gemm", &kernel), NC_OK);
        {
            nc_gpu_buffer *missing[4] = {NULL}, *all[4];
            nc_gpu_kernel *again;
            uint32_t push[30] = {0};
            all[0] = all[1] = all[2] = all[3] = buffer;
            assert_int_equal(nc_gpu_kernel_load(gpu, "gemm", &again), NC_OK);
            assert_ptr_equal(again, kernel); /* loaded once */
            assert_int_equal(nc_gpu_dispatch(gpu, kernel, missing, 4, push, 120, one), NC_ERR_ARG);
            assert_int_equal(nc_gpu_dispatch(gpu, kernel, all, 4, push, 120, none), NC_ERR_LIMIT);
            assert_int_equal(nc_gpu_dispatch(gpu, kernel, all, 4, push, 120, deep), NC_ERR_LIMIT);
            assert_int_equal(nc_gpu_dispatch(gpu, kernel, all, 4, NULL, 120, one), NC_ERR_ARG);
            /* the kernel's file says what it takes */
            assert_int_equal(nc_gpu_dispatch(gpu, kernel, all, 2, push, 120, one), NC_ERR_MISMATCH);
            assert_int_equal(nc_gpu_dispatch(gpu, kernel, all, 4, push, 100, one), NC_ERR_MISMATCH);
            assert_non_null(strstr(nc_gpu_last_error(gpu), "4 buffers and 120 bytes"));
        }
        assert_int_equal(nc_gpu_end(gpu, &program), NC_OK);
        assert_int_equal(nc_gpu_run(gpu, program, NULL), NC_OK); /* an empty program */
        nc_gpu_program_destroy(gpu, program);
        nc_gpu_buffer_destroy(gpu, buffer);
    }
}

/* A job that fails at any step releases what it has and leaves no recording open. */
static void a_failed_job_leaves_nothing_behind(void **state) {
    road list[2];
    size_t n = roads(list), i;
    int step;
    (void)state;
    for (i = 0; i < n; i++) {
        nc_gpu *gpu = device_of(list, i);
        if (!gpu) continue;
        for (step = 0; step < 5; step++) {
            const uint32_t push[6] = {4, 0, 4, 0, 0, 0};
            float x[4] = {1, 2, 3, 4}, out[4] = {0};
            nc_gpu_job job;
            int k;
            nc_gpu_job_start(&job, gpu);
            for (k = 0; k < 3; k++)
                (void)nc_gpu_job_buffer(&job, x, sizeof x,
                                        step == 0 && k == 2 ? SIZE_MAX : sizeof x);
            nc_gpu_job_dispatch(&job, step == 1 ? "nothing" : "elementwise", NULL, 3, push,
                                sizeof push, step == 2 ? 0 : 1, 1, 1);
            nc_gpu_job_dispatch(&job, "elementwise", NULL, step == 3 ? 2 : 3, push, sizeof push, 1,
                                1, 1);
            assert_int_equal(nc_gpu_job_finish(&job, job.buffers[2], step == 4 ? 8 : 0, out, 16),
                             step == 0   ? NC_ERR_LIMIT
                             : step == 1 ? NC_ERR_DEVICE
                             : step == 2 ? NC_ERR_LIMIT
                             : step == 3 ? NC_ERR_MISMATCH
                                         : NC_ERR_ARG);
            assert_int_equal(job.count, 0);
            elementwise(gpu, 0, 0, x, x, out, 4); /* and the next one runs */
            assert_true(out[3] == 8.0f);
        }
        assert_int_equal(nc_gpu_get_caps(gpu)->validation_errors, 0);
    }
}

/* A grid has at most 65,535 groups in a direction, the rest goes on in z. */
static void more_groups_than_a_grid_is_wide_are_all_done(void **state) {
    enum { COUNT = 65537 * 256 - 3 };
    road list[2];
    size_t n = roads(list), i, k;
    uint32_t *x = malloc(COUNT * sizeof *x), *back = malloc(COUNT * sizeof *back);
    (void)state;
    for (k = 0; k < COUNT; k++) x[k] = (uint32_t)(k % 0x7F80) << 16; /* bfloat16 already */
    for (i = 0; i < n; i++) {
        const uint32_t push[25] = {0, COUNT}; /* rounding, one piece */
        nc_gpu *gpu;
        nc_gpu_buffer *out;
        nc_gpu_job job;
        if (!strncmp(list[i].name, "CUDA source", 11)) continue; /* fibres take half a minute */
        gpu = device_of(list, i);
        if (!gpu) continue;
        nc_gpu_job_start(&job, gpu);
        (void)nc_gpu_job_buffer(&job, x, COUNT * sizeof *x, COUNT * sizeof *x);
        out = nc_gpu_job_buffer(&job, NULL, 0, COUNT * sizeof *x);
        nc_gpu_job_dispatch(&job, "bf16", NULL, 2, push, sizeof push, (COUNT + 255) / 256, 1, 1);
        assert_int_equal(nc_gpu_job_finish(&job, out, 0, back, COUNT * sizeof *x), NC_OK);
        assert_memory_equal(back, x, COUNT * sizeof *x);
    }
    free(x);
    free(back);
}

static void damaged_kernel_files_are_refused(void **state) {
    static const char *const ptx[] = {"garbage", ".entry damaged", "nc_interface .entry x"};
    static uint8_t spirv[1 << 16];
    road list[2];
    nc_gpu_kernel *kernel;
    nc_gpu *gpu;
    size_t count = roads(list), i, n, cut;
    char path[64];
    FILE *file;
    (void)state;
    for (i = 0; i < count && list[i].desc.kind != NC_GPU_CUDA; i++) {
    }
    snprintf(path, sizeof path, "%s/damaged.ptx", list[i].desc.kernel_path);
    gpu = open_road(&list[i]);
    for (i = 0; gpu && i < 3; i++) {
        write_text(path, ptx[i]);
        assert_int_not_equal(nc_gpu_kernel_load(gpu, "damaged", &kernel), NC_OK);
        assert_null(kernel);
    }
    remove(path);
    nc_gpu_close(gpu);
    gpu = list[0].desc.kind == NC_GPU_VULKAN ? open_road(&list[0]) : NULL;
    if (!gpu) return;
    file = fopen("build/kernels/gemm.spv", "rb");
    assert_non_null(file);
    n = fread(spirv, 1, sizeof spirv, file);
    fclose(file);
    for (cut = 0; cut < n; cut += cut < 200 ? 1 : 101) { /* truncations never reach the driver */
        if (cut > n / 2) break;                          /* the interface version comes early */
        file = fopen("build/kernels/damaged.spv", "wb");
        fwrite(spirv, 1, cut % 4 ? cut : (cut < 200 ? cut : cut + 1), file);
        fclose(file);
        assert_int_equal(nc_gpu_kernel_load(gpu, "damaged", &kernel), NC_ERR_MISMATCH);
    }
    remove("build/kernels/damaged.spv");
    nc_gpu_close(gpu);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(probe_reports_what_the_device_can_do),
        cmocka_unit_test(gemm_gives_the_bits_of_the_cpu_on_every_road),
        cmocka_unit_test(minus_zero_survives_the_tiles),
        cmocka_unit_test(every_tile_and_epilogue_has_the_bits_of_the_cpu),
        cmocka_unit_test(division_root_and_activations_are_exact_on_any_bits),
        cmocka_unit_test(gated_layers_and_rotary_positions_are_exact_on_any_bits),
        cmocka_unit_test(rows_and_columns_of_any_length_have_the_bits_of_the_cpu),
        cmocka_unit_test(embeddings_of_many_rows_have_the_gradients_of_the_cpu),
        cmocka_unit_test(dropout_from_any_counter_is_that_of_the_cpu),
        cmocka_unit_test(flash_attention_of_any_shape_has_the_bits_of_the_cpu),
        cmocka_unit_test(fused_attention_of_any_shape_has_the_bits_of_the_cpu),
        cmocka_unit_test(training_on_a_device_gives_the_bits_of_the_cpu),
        cmocka_unit_test(llama_models_train_and_evaluate_with_the_bits_of_the_cpu),
        cmocka_unit_test(a_lost_step_moves_neither_loader_nor_model),
        cmocka_unit_test(a_device_takes_no_model_with_a_part_of_the_moments),
        cmocka_unit_test(masks_validation_and_stops_on_a_device_are_those_of_the_cpu),
        cmocka_unit_test(a_step_is_few_dispatches_and_one_submission),
        cmocka_unit_test(programs_replay_and_barriers_order_dispatches),
        cmocka_unit_test(errors_are_clear_and_leave_the_device_usable),
        cmocka_unit_test(a_failed_job_leaves_nothing_behind),
        cmocka_unit_test(more_groups_than_a_grid_is_wide_are_all_done),
        cmocka_unit_test(damaged_kernel_files_are_refused),
    };
    return cmocka_run_group_tests_name("hlx and gpu", tests, NULL, close_devices);
}
