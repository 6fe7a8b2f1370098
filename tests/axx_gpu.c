/* nc_axx.h, section gpu: sums of products and convolutions give the bits of the CPU on every road of
   roads.h. */
#include "test.h"
#define NC_GPU
#include "../nc_axx.h"
#define NC_ROADS_INTEGERS
#include "roads.h"

static nc_axx_mult m;
/* Look-ups, and products alone: one, with and without offsets, and two with factors. */
static const char *const specs[] = {"mul8s_1KVL", "mitchell",   "exact+unsigned",
                                    "exact",      "kulkarni:7", "roba"};
enum { SPECS = 6, MOST = 4096, MOST_OUT = 300 };

static uint8_t x[MOST], w[MOST];
static float scale[MOST_OUT], bias[MOST_OUT], y[2][MOST];

static nc_axx_engine *engine_of(const char *spec, uint64_t *seed) {
    nc_axx_engine *e;
    size_t i;
    assert_int_equal(nc_axx_make(&m, spec, NULL), NC_OK);
    assert_int_equal(nc_axx_engine_create(&e, &m), NC_OK);
    for (i = 0; i < MOST; i++) {
        x[i] = (uint8_t)(test_random(seed) >> 24);
        w[i] = (uint8_t)(test_random(seed) >> 24);
    }
    for (i = 0; i < MOST_OUT; i++) {
        scale[i] = 1.0f + (float)i / 7.0f;
        bias[i] = (float)i - 9.0f;
    }
    memset(y, 0xEE, sizeof y);
    return e;
}

static void must(nc_gpu *device, nc_status status) {
    if (status != NC_OK) fail_msg("%s: %s", nc_status_str(status), nc_gpu_last_error(device));
}

static void check_products(nc_gpu *device) {
    static const size_t shapes[][3] = {{1, 1, 1},   {3, 17, 5},    {16, 16, 64},  {19, 33, 70},
                                       {2, 5, 130}, {19, 100, 19}, {11, 300, 13}, {8, 65, 48},
                                       {70, 9, 7},  {66, 62, 35}};
    uint64_t seed = 2;
    size_t p, s;
    for (p = 0; p < SPECS; p++)
        for (s = 0; s < sizeof shapes / sizeof *shapes; s++) {
            const size_t rows = shapes[s][0], out = shapes[s][1], k = shapes[s][2];
            nc_axx_engine *e = engine_of(specs[p], &seed);
            size_t bytes = nc_axx_linear_work_bytes(e, rows, k, out);
            void *work = malloc(bytes);
            nc_axx_gpu *gpu;
            int by_rows;
            must(device, nc_axx_gpu_open(&gpu, device, e));
            assert_int_equal(
                nc_axx_linear(e, x, 0.7f, w, scale, bias, y[0], rows, k, out, work, bytes), NC_OK);
            must(device, nc_axx_gpu_linear(gpu, x, 0.7f, w, scale, bias, y[1], rows, k, out));
            assert_memory_equal(y[0], y[1], rows * out * sizeof(float));
            free(work);
            work = malloc(bytes = nc_axx_matmul_work_bytes(e, rows, out, k));
            for (by_rows = 0; by_rows < 2; by_rows++) { /* a batch of two where there is room */
                const size_t batch = 2 * out * k <= MOST && 2 * rows * k <= MOST ? 2 : 1;
                memset(y, 0xEE, sizeof y);
                assert_int_equal(nc_axx_matmul(e, x, 0.7f, w, 3.0f, by_rows, y[0], batch, rows, out,
                                               k, work, bytes),
                                 NC_OK);
                must(device,
                     nc_axx_gpu_matmul(gpu, x, 0.7f, w, 3.0f, by_rows, y[1], batch, rows, out, k));
                assert_memory_equal(y[0], y[1], batch * rows * out * sizeof(float));
            }
            assert_int_equal(nc_axx_gpu_gemm(gpu, x, w, (int32_t *)y[0], 1, 0, 1, 1), NC_ERR_ARG);
            assert_int_equal(nc_axx_gpu_gemm(gpu, x, w, (int32_t *)y[0], 1, 1, 1, 1 << 24),
                             NC_ERR_LIMIT);
            free(work);
            nc_axx_gpu_close(gpu);
            nc_axx_engine_destroy(e);
        }
}
static void products_have_the_bits_of_the_cpu(void **state) {
    (void)state;
    on_every_road(check_products);
}

static void check_convolutions(nc_gpu *device) {
    static const nc_axx_conv shapes[] = {
        {2, 3, 7, 9, 5, 3, 3, 1, 1, 0, 0, 1, 1, 1, 0, 0},  /* plain */
        {1, 3, 8, 8, 20, 3, 3, 2, 2, 1, 1, 1, 1, 1, 0, 0}, /* stride and padding */
        {1, 2, 11, 6, 9, 3, 2, 2, 1, 2, 1, 2, 3, 1, 0, 0}, /* dilation, all different */
        {2, 6, 5, 5, 4, 2, 2, 0, 0, 1, 0, 0, 0, 2, 0, 0},  /* groups */
        {1, 4, 6, 5, 8, 3, 3, 1, 1, 1, 1, 1, 1, 4, 0, 0},  /* depthwise */
    };
    uint64_t seed = 3;
    size_t p, s, h, v;
    for (p = 0; p < SPECS; p++)
        for (s = 0; s < sizeof shapes / sizeof *shapes; s++) {
            nc_axx_engine *e = engine_of(specs[p], &seed);
            const size_t bytes = nc_axx_conv_work_bytes(e, &shapes[s]);
            void *work = malloc(bytes);
            nc_axx_gpu *gpu;
            must(device, nc_axx_gpu_open(&gpu, device, e));
            assert_int_equal(nc_axx_conv_output(&shapes[s], 0, &h, &v), NC_OK);
            assert_int_equal(
                nc_axx_conv2d(e, &shapes[s], x, 0.7f, w, scale, bias, y[0], work, bytes), NC_OK);
            must(device, nc_axx_gpu_conv2d(gpu, &shapes[s], x, 0.7f, w, scale, bias, y[1]));
            assert_memory_equal(y[0], y[1],
                                shapes[s].batch * shapes[s].out_channels * h * v * sizeof(float));
            free(work);
            nc_axx_gpu_close(gpu);
            nc_axx_engine_destroy(e);
        }
    assert_int_equal(nc_axx_make(&m, "exact", NULL), NC_OK);
    m.table[9] = 1 << 20; /* more than 16 bits apart */
    {
        nc_axx_engine *e;
        nc_axx_gpu *gpu;
        assert_int_equal(nc_axx_engine_create(&e, &m), NC_OK);
        assert_int_equal(nc_axx_gpu_open(&gpu, device, e), NC_ERR_UNSUPPORTED);
        assert_null(gpu);
        nc_axx_engine_destroy(e);
    }
}
static void convolutions_have_the_bits_of_the_cpu(void **state) {
    (void)state;
    on_every_road(check_convolutions);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(products_have_the_bits_of_the_cpu),
        cmocka_unit_test(convolutions_have_the_bits_of_the_cpu),
    };
    return cmocka_run_group_tests_name("axx kernels", tests, NULL, NULL);
}
