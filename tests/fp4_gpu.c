/* nc_fp4.h, section gpu: products and circuits give the bits of the CPU on every road of roads.h. */
#include "test.h"
#include <math.h>
#define NC_GPU
#include "../nc_fp4.h"
#include "roads.h"

enum { MOST_COLUMNS = 1100, MOST_ROWS = 40, MOST_VECTORS = 6 };
static float x[MOST_VECTORS * MOST_COLUMNS], w[MOST_ROWS * MOST_COLUMNS];

static float of_any_size(uint64_t *seed) {
    const float mantissa = (float)(int32_t)test_random(seed);
    return ldexpf(mantissa, (int)(test_random(seed) % 9) - 34);
}

static void must(nc_gpu *device, nc_status status) {
    if (status != NC_OK) fail_msg("%s: %s", nc_status_str(status), nc_gpu_last_error(device));
}

/* n vectors, by the tensor on the device. */
static void same_products(nc_gpu *device, nc_fp4_gpu_tensor *resident, const nc_fp4_tensor *t,
                          size_t n) {
    float y[2][MOST_VECTORS * MOST_ROWS];
    assert_int_equal(nc_fp4_matmul(t, x, n, y[0]), NC_OK);
    memset(y[1], 0xEE, sizeof y[1]);
    must(device, nc_fp4_gpu_tensor_matmul(resident, x, n, y[1]));
    assert_memory_equal(y[0], y[1], n * t->rows * 4);
}

/* Bytes, those of the vectors' first one's memory; twice on the same buffers. */
static void same_bytes(nc_gpu *device, nc_fp4_gpu_tensor *resident, const nc_fp4_tensor *t) {
    const int8_t *bytes = (const int8_t *)x;
    float y[2][MOST_ROWS];
    size_t i;
    for (i = 0; i < 2; i++) {
        const nc_status status = nc_fp4_matvec_i8(t, bytes + i, 0.37f, y[0]);
        if (status == NC_ERR_UNSUPPORTED) {
            assert_int_equal(nc_fp4_gpu_tensor_matvec_i8(resident, bytes, 0.37f, y[1]), status);
            return;
        }
        assert_int_equal(status, NC_OK);
        memset(y[1], 0xEE, sizeof y[1]);
        must(device, nc_fp4_gpu_tensor_matvec_i8(resident, bytes + i, 0.37f, y[1]));
        assert_memory_equal(y[0], y[1], t->rows * 4);
    }
}

/* All numbers of vectors; the tensor is freed. */
static void check_tensor(nc_gpu *device, nc_fp4_gpu *gpu, nc_fp4_tensor *t) {
    static const size_t vectors[] = {1, 1, 3, 6};
    nc_fp4_gpu_tensor *resident;
    size_t i;
    must(device, nc_fp4_gpu_tensor_create(&resident, gpu, t));
    for (i = 0; i < sizeof vectors / sizeof *vectors; i++)
        same_products(device, resident, t, vectors[i]);
    same_bytes(device, resident, t);
    nc_fp4_gpu_tensor_destroy(resident);
    nc_fp4_tensor_free(t);
}

/* Rows of less than a part, of parts and of spans of the kernel, and what is left of them. */
static void check_products(nc_gpu *device) {
    static const uint32_t shapes[][2] = {{1, 1}, {3, 31}, {5, 33}, {17, 200}, {40, 512}, {9, 1100}};
    nc_fp4_gpu *gpu;
    uint64_t seed = 5;
    size_t s, i;
    int f;
    must(device, nc_fp4_gpu_open(&gpu, device));
    for (i = 0; i < sizeof w / sizeof *w; i++) w[i] = of_any_size(&seed);
    for (i = 0; i < sizeof x / sizeof *x; i++) x[i] = of_any_size(&seed);
    for (f = NC_FP4_E2M1; f < NC_FP4_FORMAT_COUNT; f++)
        for (s = 0; s < sizeof shapes / sizeof *shapes; s++) {
            nc_fp4_tensor t;
            assert_int_equal(
                nc_fp4_tensor_create(&t, (nc_fp4_format)f, NULL, w + s, shapes[s][0], shapes[s][1]),
                NC_OK);
            check_tensor(device, gpu, &t);
        }
    nc_fp4_gpu_close(gpu);
}
/* Blocks of another length and across rows, tensor scales that divide, scales that are infinite. */
static void check_scales(nc_gpu *device) {
    static const uint32_t blocks[][3] = {{32, 160, 0}, {128, 300, 0}, {64, 144, 1}, {32, 16, 1}};
    nc_fp4_gpu *gpu;
    nc_fp4_tensor t;
    uint64_t seed = 7;
    size_t i, k;
    float y[2];
    must(device, nc_fp4_gpu_open(&gpu, device));
    for (i = 0; i < sizeof w / sizeof *w; i++) w[i] = of_any_size(&seed);
    for (i = 0; i < sizeof blocks / sizeof *blocks; i++) {
        assert_int_equal(nc_fp4_tensor_create_blocks(&t, NC_FP4_NF4, NULL, blocks[i][0],
                                                     (int)blocks[i][2], w, 19, blocks[i][1]),
                         NC_OK);
        check_tensor(device, gpu, &t);
    }
    assert_int_equal(nc_fp4_tensor_create(&t, NC_FP4_NVFP4, NULL, w, 19, 300), NC_OK);
    t.divides = 1;
    t.tensor_scale = 3.0f;
    check_tensor(device, gpu, &t);
    /* no column behind the last has a part in it: 0 times infinity would be NaN */
    for (k = 0; k < 40; k++) w[k] = 1.0f;
    assert_int_equal(nc_fp4_tensor_create(&t, NC_FP4_NF4, NULL, w, 1, 37), NC_OK);
    memcpy(t.scales, "\0\0\x80\x7F", 4);
    for (k = 0; k < 40; k++) w[k] = 1.0f;
    must(device, nc_fp4_gpu_matmul(gpu, &t, w, 1, y));
    assert_int_equal(nc_fp4_matmul(&t, w, 1, y + 1), NC_OK);
    assert_true(isinf(y[0]) && isinf(y[1]));
    nc_fp4_tensor_free(&t);
    nc_fp4_gpu_close(gpu);
}
static void check_errors(nc_gpu *device) {
    nc_fp4_gpu_tensor *resident;
    nc_fp4_gpu *gpu;
    nc_fp4_tensor t;
    float y;
    must(device, nc_fp4_gpu_open(&gpu, device));
    assert_int_equal(nc_fp4_tensor_create_blocks(&t, NC_FP4_NF4, NULL, 32, 1, w, 2, 40), NC_OK);
    assert_int_equal(nc_fp4_gpu_tensor_create(&resident, gpu, &t), NC_ERR_UNSUPPORTED);
    assert_null(resident);
    assert_int_equal(nc_fp4_gpu_matmul(gpu, &t, x, 1, &y), NC_ERR_UNSUPPORTED);
    nc_fp4_tensor_free(&t);
    assert_int_equal(nc_fp4_gpu_tensor_create(&resident, gpu, &t), NC_ERR_ARG);
    assert_int_equal(nc_fp4_gpu_tensor_create(NULL, gpu, &t), NC_ERR_ARG);
    assert_int_equal(nc_fp4_gpu_tensor_matmul(NULL, x, 1, &y), NC_ERR_ARG);
    assert_int_equal(nc_fp4_gpu_tensor_matvec_i8(NULL, (const int8_t *)x, 1, &y), NC_ERR_ARG);
    assert_int_equal(nc_fp4_tensor_create(&t, NC_FP4_MXFP4, NULL, w, 1, 1), NC_OK);
    assert_int_equal(nc_fp4_gpu_tensor_create(&resident, NULL, &t), NC_ERR_ARG);
    must(device, nc_fp4_gpu_tensor_create(&resident, gpu, &t));
    assert_int_equal(nc_fp4_gpu_tensor_matmul(resident, NULL, 1, &y), NC_ERR_ARG);
    assert_int_equal(nc_fp4_gpu_tensor_matmul(resident, x, 0, NULL), NC_OK);
    assert_int_equal(nc_fp4_gpu_tensor_matmul(resident, x, 262141, &y), NC_ERR_LIMIT);
    must(device, nc_fp4_gpu_tensor_matmul(resident, x, 1, &y)); /* an error leaves it as it was */
    nc_fp4_gpu_tensor_destroy(resident);
    nc_fp4_gpu_tensor_destroy(NULL);
    nc_fp4_tensor_free(&t);
    assert_int_equal(nc_fp4_tensor_create(&t, NC_FP4_MXFP4, NULL, w, 1, 16416), NC_OK);
    must(device, nc_fp4_gpu_tensor_create(&resident, gpu, &t));
    assert_int_equal(nc_fp4_gpu_tensor_matmul(resident, w, 262140, &y), NC_ERR_LIMIT); /* 2^32 */
    nc_fp4_gpu_tensor_destroy(resident);
    nc_fp4_tensor_free(&t);
    nc_fp4_gpu_close(gpu);
}
/* On one device, which compiles the kernels once. */
static void check_tensors(nc_gpu *device) {
    check_products(device);
    check_scales(device);
    check_errors(device);
}
static void products_have_the_bits_of_the_cpu(void **state) {
    (void)state;
    on_every_road(check_tensors);
}

static void check_circuits(nc_gpu *device) {
    enum { WORDS = 67 };
    static uint64_t in[140 * WORDS], out[2][140 * WORDS];
    nc_fp4_gpu *gpu;
    uint64_t seed = 6;
    size_t i;
    int k;
    if (nc_fp4_gpu_open(&gpu, device) != NC_OK) fail_msg("%s", nc_gpu_last_error(device));
    for (i = 0; i < sizeof in / sizeof *in; i++) in[i] = test_random(&seed);
    for (k = 0; k < NC_FP4_TEMPLATE_COUNT; k++) {
        nc_fp4_circuit *c;
        nc_fp4_network *n;
        nc_status status;
        uint32_t bits = k == NC_FP4_MUX_TREE || k == NC_FP4_DECODER ? 5
                        : k == NC_FP4_MULTIPLIER                    ? 8
                                                                    : 32;
        size_t words = k % 2 ? WORDS : 1;
        assert_int_equal(nc_fp4_make(&c, (nc_fp4_template)k, bits, 0, NULL), NC_OK);
        assert_int_equal(nc_fp4_compile(c, &n), NC_OK);
        assert_int_equal(nc_fp4_eval_sliced(n, in, out[0], words), NC_OK);
        status = nc_fp4_gpu_eval_sliced(gpu, n, in, out[1], words);
        if (status != NC_OK) fail_msg("%s: %s", nc_status_str(status), nc_gpu_last_error(device));
        assert_memory_equal(out[0], out[1], nc_fp4_network_outputs(n) * words * 8);
        /* the last wires would lie beyond 2^32 words */
        assert_int_equal(nc_fp4_gpu_eval_sliced(gpu, n, in, out[1], (1 << 26) - 1), NC_ERR_LIMIT);
        nc_fp4_network_destroy(n);
        nc_fp4_destroy(c);
    }
    assert_int_equal(nc_fp4_gpu_eval_sliced(gpu, NULL, in, out[1], 1), NC_ERR_ARG);
    nc_fp4_gpu_close(gpu);
}
static void circuits_have_the_bits_of_the_cpu(void **state) {
    (void)state;
    on_every_road(check_circuits);
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(products_have_the_bits_of_the_cpu),
                                       cmocka_unit_test(circuits_have_the_bits_of_the_cpu)};
    return cmocka_run_group_tests_name("fp4 kernels", tests, NULL, NULL);
}
