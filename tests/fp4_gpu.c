/* nc_fp4.h, section gpu: products and circuits give the bits of the CPU on every road of roads.h. */
#include "test.h"
#include <math.h>
#define NC_GPU
#include "../nc_fp4.h"
#include "roads.h"

static void check_products(nc_gpu *device) {
    static const uint32_t shapes[][2] = {{1, 1}, {3, 31}, {5, 33}, {7, 200}, {40, 512}};
    nc_fp4_gpu *gpu;
    uint64_t seed = 5;
    size_t s, i;
    int f;
    if (nc_fp4_gpu_open(&gpu, device) != NC_OK) fail_msg("%s", nc_gpu_last_error(device));
    for (f = NC_FP4_E2M1; f < NC_FP4_FORMAT_COUNT; f++)
        for (s = 0; s < sizeof shapes / sizeof *shapes; s++) {
            const uint32_t rows = shapes[s][0], columns = shapes[s][1];
            float *w = malloc(rows * columns * 4), x[3 * 512], y[2][3 * 40];
            nc_fp4_tensor t;
            nc_status status;
            for (i = 0; i < rows * columns; i++)
                w[i] =
                    ldexpf((float)(int32_t)test_random(&seed), (int)(test_random(&seed) % 9) - 34);
            for (i = 0; i < 3 * columns; i++)
                x[i] =
                    ldexpf((float)(int32_t)test_random(&seed), (int)(test_random(&seed) % 9) - 34);
            assert_int_equal(nc_fp4_tensor_create(&t, (nc_fp4_format)f, NULL, w, rows, columns), 0);
            assert_int_equal(nc_fp4_matmul(&t, x, 3, y[0]), NC_OK);
            memset(y[1], 0xEE, sizeof y[1]);
            status = nc_fp4_gpu_matmul(gpu, &t, x, 3, y[1]);
            if (status != NC_OK)
                fail_msg("%s: %s", nc_status_str(status), nc_gpu_last_error(device));
            assert_memory_equal(y[0], y[1], 3 * rows * 4);
            nc_fp4_tensor_free(&t);
            free(w);
        }
    nc_fp4_gpu_close(gpu);
}
static void products_have_the_bits_of_the_cpu(void **state) {
    (void)state;
    on_every_road(check_products);
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
