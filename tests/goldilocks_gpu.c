/* nc_goldilocks.h, section gpu: every field kernel gives the elements of the CPU on every road of
   roads.h, with 64-bit integers and in the 32-bit variant. */
#include "test.h"
#include <math.h>
#define NC_GPU
#include "../nc_goldilocks.h"
#define NC_ROADS_INTEGERS
#include "roads.h"

typedef void (*check_fn)(nc_gl_gpu *gpu, nc_gpu *device);

static uint64_t edge_or_random(uint64_t *seed) {
    uint64_t r = test_random(seed);
    return nc_gl_from_u64(r % 3 ? test_random(seed) : edge_u64[(r >> 8) % EDGE_COUNT]);
}

static uint64_t *elements(size_t n, uint64_t seed) {
    uint64_t *x = malloc((n ? n : 1) * sizeof *x);
    size_t i;
    for (i = 0; i < n; i++) x[i] = edge_or_random(&seed);
    return x;
}

static void run_ok(nc_gpu *device, nc_status status) {
    if (status != NC_OK) fail_msg("%s: %s", nc_status_str(status), nc_gpu_last_error(device));
}

static check_fn check;
static void open_and_check(nc_gpu *device) {
    nc_gl_gpu *gpu;
    if (nc_gl_gpu_open(&gpu, device, NULL) != NC_OK) fail_msg("%s", nc_gpu_last_error(device));
    check(gpu, device);
    nc_gl_gpu_close(gpu);
}
static void check_on_every_road(check_fn with) {
    check = with;
    on_every_road(open_and_check);
}

static void check_vectors(nc_gl_gpu *gpu, nc_gpu *device) {
    static const size_t sizes[] = {1, 255, 256, 257, 5000};
    size_t s, i;
    for (s = 0; s < 5; s++) {
        size_t n = sizes[s];
        uint64_t *a = elements(n, 1), *b = elements(n, 2), *c = elements(n, 3);
        uint64_t *out = elements(n, 4), dot, expected = 0;
        run_ok(device, nc_gl_gpu_vector(gpu, NC_GL_ADD, out, a, b, NULL, n));
        for (i = 0; i < n; i++) assert_int_equal(out[i], nc_gl_add(a[i], b[i]));
        run_ok(device, nc_gl_gpu_vector(gpu, NC_GL_SUB, out, a, b, NULL, n));
        for (i = 0; i < n; i++) assert_int_equal(out[i], nc_gl_sub(a[i], b[i]));
        run_ok(device, nc_gl_gpu_vector(gpu, NC_GL_MUL_ADD, out, a, b, c, n));
        for (i = 0; i < n; i++) assert_int_equal(out[i], nc_gl_mul_add(a[i], b[i], c[i]));
        run_ok(device, nc_gl_gpu_dot(gpu, a, b, n, &dot));
        for (i = 0; i < n; i++) expected = nc_gl_mul_add(a[i], b[i], expected);
        assert_int_equal(dot, expected);
        memcpy(out, c, n * 8);
        run_ok(device, nc_gl_gpu_vector(gpu, NC_GL_MUL, out, out, b, NULL, n)); /* in place */
        for (i = 0; i < n; i++) assert_int_equal(out[i], nc_gl_mul(c[i], b[i]));
        free(a);
        free(b);
        free(c);
        free(out);
    }
}
static void vectors_and_dot_products(void **state) {
    (void)state;
    check_on_every_road(check_vectors);
}

static void check_matrices(nc_gl_gpu *gpu, nc_gpu *device) {
    static const size_t shapes[][3] = {
        {1, 1, 1}, {32, 16, 32}, {17, 33, 5}, {40, 7, 70}, {3, 0, 4}};
    size_t s, i;
    for (s = 0; s < 5; s++) {
        size_t m = shapes[s][0], k = shapes[s][1], n = shapes[s][2];
        uint64_t *a = elements(m * k, 5), *b = elements(k * n, 6), seed = 7;
        uint64_t *c = elements(m * n, 7), *expected = elements(m * n, 8);
        run_ok(device, nc_gl_gpu_matmul(gpu, c, a, b, m, k, n));
        assert_int_equal(nc_gl_matmul(expected, a, b, m, k, n), NC_OK);
        assert_memory_equal(c, expected, m * n * 8);
        for (i = 0; i < m * k; i++) a[i] = nc_gl_from_i64((int64_t)test_random(&seed) >> 36);
        for (i = 0; i < k * n; i++) b[i] = nc_gl_from_i64((int64_t)test_random(&seed) >> 36);
        run_ok(device, nc_fixed_gpu_matmul(gpu, c, a, b, m, k, n));
        assert_int_equal(nc_fixed_matmul(expected, a, b, m, k, n), NC_OK);
        assert_memory_equal(c, expected, m * n * 8);
        free(a);
        free(b);
        free(c);
        free(expected);
    }
}
static void matrices_in_the_field_and_in_fixed_point(void **state) {
    (void)state;
    check_on_every_road(check_matrices);
}

/* Both ways, on the subgroup for shift 1 or on a coset, beside the CPU. */
static void check_transform(nc_gl_gpu *gpu, nc_gpu *device, uint32_t log2_n, size_t count,
                            uint64_t shift) {
    const size_t n = (size_t)1 << log2_n;
    uint64_t *x = elements(count * n, log2_n), *y = elements(count * n, log2_n);
    uint64_t *start = elements(count * n, log2_n);
    nc_gl_ntt *plan;
    size_t i;
    assert_int_equal(nc_gl_ntt_create(&plan, log2_n, NULL), NC_OK);
    run_ok(device, nc_gl_gpu_ntt_coset(gpu, x, log2_n, count, shift, 0));
    for (i = 0; i < count; i++) nc_gl_ntt_coset_forward(plan, y + i * n, shift);
    assert_memory_equal(x, y, count * n * 8);
    run_ok(device, nc_gl_gpu_ntt_coset(gpu, x, log2_n, count, shift, 1));
    assert_memory_equal(x, start, count * n * 8);
    nc_gl_ntt_destroy(plan);
    free(x);
    free(y);
    free(start);
}

/* One pass of one, two and three steps, one and several groups; two and three passes. */
static void check_ntt(nc_gl_gpu *gpu, nc_gpu *device) {
    uint32_t log2_n;
    for (log2_n = 0; log2_n <= 13; log2_n++)
        check_transform(gpu, device, log2_n, log2_n < 12 ? 3 : 1, 1);
    check_transform(gpu, device, 3, 600, 1);
    check_transform(gpu, device, 12, 2, 1);
    check_transform(gpu, device, 16, 1, 1);
    check_transform(gpu, device, 17, 1, 1);
}
static void check_cosets(nc_gl_gpu *gpu, nc_gpu *device) {
    uint64_t x[2] = {1, 2};
    check_transform(gpu, device, 0, 3, 7);
    check_transform(gpu, device, 5, 3, 7);
    check_transform(gpu, device, 12, 2, UINT64_C(0xFFFFFFFF00000000));
    check_transform(gpu, device, 17, 1, UINT64_C(1234567890123456789));
    assert_int_equal(nc_gl_gpu_ntt_coset(gpu, x, 1, 1, 0, 1), NC_ERR_MATH);
    run_ok(device, nc_gl_gpu_ntt_coset(gpu, x, 1, 1, 0, 0)); /* all points are 0 */
    assert_true(x[0] == 1 && x[1] == 1);
}

static nc_gpu_buffer *on_device(nc_gpu *device, const uint64_t *data, size_t n) {
    nc_gpu_buffer *buffer;
    run_ok(device, nc_gpu_buffer_create(device, n * 8, &buffer));
    run_ok(device, nc_gpu_upload(device, buffer, 0, data, n * 8));
    return buffer;
}

/* A low-degree extension of 64 columns, its products with a matrix and a tree over them: one upload,
   one download. */
static void check_residents(nc_gl_gpu *gpu, nc_gpu *device) {
    enum { LOG2 = 6, N = 1 << LOG2, ALL = N * N };
    uint64_t *x = elements(ALL, 50), *w = elements(ALL, 51), *y = elements(ALL, 52);
    uint64_t *tree = elements(8 * N, 53), *back = elements(8 * N, 54);
    nc_gpu_buffer *bx = on_device(device, x, ALL), *bw = on_device(device, w, ALL);
    nc_gpu_buffer *by = on_device(device, y, ALL), *bt = on_device(device, tree, 8 * N);
    nc_gl_ntt *plan;
    size_t i;
    run_ok(device, nc_gl_gpu_buffer_ntt(gpu, by, bx, LOG2, N, 1, 1));
    run_ok(device, nc_gl_gpu_buffer_ntt(gpu, by, by, LOG2, N, 7, 0));
    run_ok(device, nc_gl_gpu_buffer_matmul(gpu, bx, by, bw, N, N, N, 0));
    run_ok(device, nc_gl_gpu_buffer_vector(gpu, NC_GL_MUL_ADD, bx, bx, bw, by, ALL));
    run_ok(device, nc_gl_gpu_buffer_permute(gpu, bx, 8, ALL / 8));
    run_ok(device, nc_gl_gpu_buffer_vector(gpu, NC_GL_ADD, bt, bt, bx, NULL, 8 * N));
    run_ok(device, nc_gl_gpu_buffer_merkle_build(gpu, NC_GL_POSEIDON2, bt, N));
    run_ok(device, nc_gpu_download(device, bt, 0, back, 8 * N * 8));
    assert_int_equal(nc_gl_ntt_create(&plan, LOG2, NULL), NC_OK);
    nc_gl_ntt_many(plan, x, N, 1);
    for (i = 0; i < N; i++) nc_gl_ntt_coset_forward(plan, x + i * N, 7);
    assert_int_equal(nc_gl_matmul(y, x, w, N, N, N), NC_OK);
    for (i = 0; i < ALL; i++) y[i] = nc_gl_mul_add(y[i], w[i], x[i]);
    assert_int_equal(nc_gl_poseidon2_permute_many(y, 8, ALL / 8), NC_OK);
    for (i = 0; i < 8 * N; i++) tree[i] = nc_gl_add(tree[i], y[i]);
    assert_int_equal(nc_gl_merkle_build(NC_GL_POSEIDON2, tree, N), NC_OK);
    assert_memory_equal(back, tree, 8 * N * 8);
    nc_gl_ntt_destroy(plan);
    assert_int_equal(nc_gl_gpu_buffer_ntt(gpu, bx, bx, LOG2, N + 1, 1, 0), NC_ERR_ARG);
    assert_int_equal(nc_gl_gpu_buffer_ntt(gpu, NULL, bx, LOG2, N, 1, 0), NC_ERR_ARG);
    assert_int_equal(nc_gl_gpu_buffer_ntt(gpu, bx, bx, 29, 1, 1, 0), NC_ERR_ARG);
    assert_int_equal(nc_gl_gpu_buffer_matmul(gpu, bx, bx, bw, N, N, N, 0), NC_ERR_ARG);
    assert_int_equal(nc_gl_gpu_buffer_matmul(gpu, bx, by, bw, N + 1, N, N, 0), NC_ERR_ARG);
    assert_int_equal(nc_gl_gpu_buffer_vector(gpu, NC_GL_ADD, bx, bx, bw, NULL, ALL + 1),
                     NC_ERR_ARG);
    assert_int_equal(nc_gl_gpu_buffer_vector(gpu, NC_GL_MUL_ADD, bx, bx, bw, NULL, 1), NC_ERR_ARG);
    assert_int_equal(nc_gl_gpu_buffer_permute(gpu, bx, 8, ALL / 8 + 1), NC_ERR_ARG);
    assert_int_equal(nc_gl_gpu_buffer_merkle_build(gpu, NC_GL_TRIDENT, bt, 2 * N), NC_ERR_ARG);
    assert_int_equal(nc_gl_gpu_buffer_merkle_build(gpu, NC_GL_TIP5, bt, N), NC_ERR_UNSUPPORTED);
    nc_gpu_buffer_destroy(device, bx);
    nc_gpu_buffer_destroy(device, bw);
    nc_gpu_buffer_destroy(device, by);
    nc_gpu_buffer_destroy(device, bt);
    free(x);
    free(w);
    free(y);
    free(tree);
    free(back);
}

/* In one test: a driver takes its time to compile the kernel of all of them. */
static void check_transforms(nc_gl_gpu *gpu, nc_gpu *device) {
    check_ntt(gpu, device);
    check_cosets(gpu, device);
    check_residents(gpu, device);
}
static void transforms_of_all_sizes_batches_and_cosets_and_of_resident_data(void **state) {
    (void)state;
    check_on_every_road(check_transforms);
}

static void check_hashes(nc_gl_gpu *gpu, nc_gpu *device) {
    static const uint32_t widths[4] = {8, 12, 16, 0};
    const size_t count = 150;
    size_t k, n;
    int h;
    for (k = 0; k < 4; k++) {
        size_t w = widths[k] ? widths[k] : 8;
        uint64_t *x = elements(count * w, 30 + k), *y = elements(count * w, 30 + k);
        run_ok(device, nc_gl_gpu_permute(gpu, x, widths[k], count));
        if (widths[k])
            assert_int_equal(nc_gl_poseidon2_permute_many(y, widths[k], count), NC_OK);
        else
            nc_gl_trident_permute_many(y, count);
        assert_memory_equal(x, y, count * w * 8);
        free(x);
        free(y);
    }
    for (n = 1; n <= 256; n *= 16)
        for (h = NC_GL_POSEIDON2; h <= NC_GL_TRIDENT; h++) {
            uint64_t *x = elements(8 * n, 40), *y = elements(8 * n, 40);
            nc_status status = nc_gl_gpu_merkle_build(gpu, (nc_gl_hash)h, x, n);
            if (h == NC_GL_TIP5) {
                assert_int_equal(status, NC_ERR_UNSUPPORTED);
            } else {
                run_ok(device, status);
                assert_int_equal(nc_gl_merkle_build((nc_gl_hash)h, y, n), NC_OK);
            }
            assert_memory_equal(x, y, 8 * n * 8);
            free(x);
            free(y);
        }
}
static void permutations_and_merkle_trees(void **state) {
    (void)state;
    check_on_every_road(check_hashes);
}

static void check_errors(nc_gl_gpu *gpu, nc_gpu *device) {
    uint64_t x[64] = {0}, y[64] = {0}, out;
    (void)device;
    assert_int_equal(nc_gl_gpu_vector(gpu, (nc_gl_operation)4, x, y, y, NULL, 8), NC_ERR_ARG);
    assert_int_equal(nc_gl_gpu_vector(gpu, NC_GL_MUL_ADD, x, y, y, NULL, 8), NC_ERR_ARG);
    assert_int_equal(nc_gl_gpu_vector(gpu, NC_GL_ADD, x + 1, x, y, NULL, 8), NC_ERR_ARG);
    assert_int_equal(nc_gl_gpu_vector(gpu, NC_GL_ADD, x, y, y, NULL, 0), NC_OK);
    assert_int_equal(nc_gl_gpu_vector(NULL, NC_GL_ADD, x, y, y, NULL, 8), NC_ERR_ARG);
    assert_int_equal(nc_gl_gpu_vector(gpu, NC_GL_ADD, x, y, y, NULL, (size_t)1 << 31),
                     NC_ERR_LIMIT);
    assert_int_equal(nc_gl_gpu_dot(gpu, x, NULL, 8, &out), NC_ERR_ARG);
    assert_int_equal(nc_gl_gpu_dot(gpu, x, y, 0, &out), NC_OK);
    assert_int_equal(out, 0);
    assert_int_equal(nc_gl_gpu_matmul(gpu, x, x, y, 4, 4, 4), NC_ERR_ARG);
    assert_int_equal(nc_gl_gpu_ntt(gpu, x, 29, 1, 0), NC_ERR_ARG);
    assert_int_equal(nc_gl_gpu_ntt(gpu, NULL, 3, 1, 0), NC_ERR_ARG);
    assert_int_equal(nc_gl_gpu_permute(gpu, x, 9, 1), NC_ERR_ARG);
    assert_int_equal(nc_gl_gpu_merkle_build(gpu, NC_GL_POSEIDON2, x, 3), NC_ERR_ARG);
    assert_int_equal(nc_gl_gpu_open(&gpu, NULL, NULL), NC_ERR_ARG);
    assert_null(gpu);
    nc_gl_gpu_close(NULL);
}
static void bad_arguments_are_refused(void **state) {
    road list[3];
    size_t n = roads(list), i;
    (void)state;
    for (i = 0; i < n; i++) {
        nc_gpu *device = open_road(&list[i]);
        nc_gl_gpu *gpu;
        if (!device) continue;
        assert_int_equal(nc_gl_gpu_open(&gpu, device, NULL), NC_OK);
        check_errors(gpu, device);
        nc_gl_gpu_close(gpu);
        nc_gpu_close(device);
    }
}

static void failed_allocations_are_errors_and_leave_no_memory(void **state) {
    failing_memory memory = {-1, 0, 0};
    nc_allocator hooks = {failing_alloc, failing_free, &memory};
    road list[3];
    size_t n = roads(list), i;
    (void)state;
    for (i = 0; i < n; i++) {
        uint64_t x[8] = {1, 2, 3, 4, 5, 6, 7, 8};
        nc_gpu *device = open_road(&list[i]);
        nc_gl_gpu *gpu;
        if (!device) continue;
        memory.until_failure = 0;
        assert_int_equal(nc_gl_gpu_open(&gpu, device, &hooks), NC_ERR_MEMORY);
        memory.until_failure = 1;
        assert_int_equal(nc_gl_gpu_open(&gpu, device, &hooks), NC_OK);
        assert_int_equal(nc_gl_gpu_ntt(gpu, x, 3, 1, 0), NC_ERR_MEMORY);
        memory.until_failure = -1;
        run_ok(device, nc_gl_gpu_ntt(gpu, x, 3, 1, 0)); /* and it goes on working */
        run_ok(device, nc_gl_gpu_ntt(gpu, x, 3, 1, 1));
        assert_true(x[0] == 1 && x[7] == 8);
        nc_gl_gpu_close(gpu);
        nc_gpu_close(device);
    }
    assert_int_equal(memory.blocks, 0);
    assert_int_equal(memory.bytes, 0);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(vectors_and_dot_products),
        cmocka_unit_test(matrices_in_the_field_and_in_fixed_point),
        cmocka_unit_test(transforms_of_all_sizes_batches_and_cosets_and_of_resident_data),
        cmocka_unit_test(permutations_and_merkle_trees),
        cmocka_unit_test(bad_arguments_are_refused),
        cmocka_unit_test(failed_allocations_are_errors_and_leave_no_memory),
    };
    return cmocka_run_group_tests_name("goldilocks kernels", tests, NULL, NULL);
}
