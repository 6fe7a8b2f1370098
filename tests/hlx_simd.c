/* nc_hlx.h, section simd: gemm in every instruction set equals the scalar chain of fma. */
#include "test.h"
#include "../nc_hlx.h"

static void fill(float *x, size_t n, uint64_t *seed) {
    size_t i;
    for (i = 0; i < n; i++)
        x[i] = (float)((double)(int64_t)test_random(seed) / 9223372036854775808.0);
}

static void compare(size_t m, size_t n, size_t k, uint64_t *seed) {
    size_t lda = (m > k ? m : k) + 3, ldb = (n > k ? n : k) + 1, ldc = n + 2, i;
    size_t rows = (m > k ? m : k), rows_b = (n > k ? n : k);
    float *a = malloc(rows * lda * 4 + 4), *b = malloc(rows_b * ldb * 4 + 4);
    float *c = malloc(m * ldc * 4), *expected = malloc(m * ldc * 4), *start = malloc(m * ldc * 4);
    size_t bytes = nc_hlx_gemm_work_bytes();
    void *work = malloc(bytes);
    int variant;
    fill(a, rows * lda, seed);
    fill(b, rows_b * ldb, seed);
    fill(start, m * ldc, seed);
    for (variant = 0; variant < 8; variant++) {
        memcpy(c, start, m * ldc * 4);
        memcpy(expected, start, m * ldc * 4);
        nc_hlx_gemm_ref(variant & 1, variant >> 1 & 1, m, n, k, a, lda, b, ldb, expected, ldc,
                        variant >> 2);
        assert_int_equal(nc_hlx_gemm(variant & 1, variant >> 1 & 1, m, n, k, a, lda, b, ldb, c, ldc,
                                     variant >> 2, work, bytes),
                         NC_OK);
        for (i = 0; i < m * ldc; i++)
            if (memcmp(&c[i], &expected[i], 4))
                fail_msg("%zu x %zu x %zu, variant %d: element %zu is %.9g, not %.9g", m, n, k,
                         variant, i, (double)c[i], (double)expected[i]);
    }
    free(a);
    free(b);
    free(c);
    free(expected);
    free(start);
    free(work);
}

static void gemm_equals_the_reference_at_every_level_shape_and_transposition(void **state) {
    static const size_t sizes[] = {1, 2, 5, 8, 13, 14, 15, 31, 32, 33, 47};
    size_t count = sizeof sizes / sizeof *sizes, i, j, l;
    uint64_t seed = 7;
    int level;
    (void)state;
    for (level = 0; level <= 2; level++) {
        if (nc_hlx_set_simd(level) != NC_OK) continue;
        for (i = 0; i < count; i++)
            for (j = 0; j < count; j++)
                for (l = 0; l < count; l += 2) compare(sizes[i], sizes[j], sizes[l], &seed);
        compare(130, 545, 300, &seed); /* crosses every block border */
        compare(29, 3, 600, &seed);
        compare(4, 7, 0, &seed);
    }
    nc_hlx_set_simd(-1);
}

static void results_do_not_depend_on_the_number_of_threads(void **state) {
    enum { M = 200, N = 150, K = 333 };
    float *a = malloc(M * K * 4), *b = malloc(K * N * 4), *c = malloc(2 * M * N * 4);
    size_t bytes = nc_hlx_gemm_work_bytes();
    void *work = malloc(bytes);
    uint64_t seed = 8;
    int t;
    (void)state;
    fill(a, M * K, &seed);
    fill(b, K * N, &seed);
    for (t = 0; t < 2; t++) {
        use_threads(t ? 3 : 1);
        assert_int_equal(nc_hlx_gemm(0, 0, M, N, K, a, K, b, N, c + t * M * N, N, 0, work, bytes),
                         NC_OK);
    }
    assert_memory_equal(c, c + M * N, M * N * 4);
    free(a);
    free(b);
    free(c);
    free(work);
}

/* In place, so that a task that is left out or taken twice shows; with more threads than most
 * machines have processors, so that some sleep; and from threads of the caller, which share
 * nothing. */
static void every_task_is_done_once_on_any_number_of_threads(void **state) {
    enum { N = 40 * 4096 + 5, TURNS = 50 };
    float *start = malloc(N * 4), *expected = malloc(N * 4), *x = malloc(N * 4);
    uint64_t seed = 9;
    int t, turn, wrong = 0;
    (void)state;
    fill(start, N, &seed);
    memcpy(expected, start, N * 4);
    for (turn = 0; turn < N; turn += 4096) /* a piece at a time: no threads */
        nc_hlx_gelu(expected + turn, expected + turn, N - turn < 4096 ? N - turn : 4096);
    for (t = 1; t <= 6; t++)
        for (turn = 0; turn < TURNS; turn++) {
            use_threads(t);
            memcpy(x, start, N * 4);
            nc_hlx_gelu(x, x, N);
            if (memcmp(x, expected, N * 4)) fail_msg("%d threads, turn %d", t, turn);
        }
#ifdef _OPENMP
#pragma omp parallel for num_threads(3) reduction(+ : wrong)
#endif
    for (t = 0; t < 3; t++) {
        float *own = malloc(N * 4);
        memcpy(own, start, N * 4);
        nc_hlx_gelu(own, own, N);
        wrong += memcmp(own, expected, N * 4) != 0;
        free(own);
    }
    assert_int_equal(wrong, 0);
    free(start), free(expected), free(x);
}

static void bad_arguments_are_refused(void **state) {
    float x[16] = {0}, c[16] = {0};
    size_t bytes = nc_hlx_gemm_work_bytes();
    void *work = malloc(bytes);
    (void)state;
    assert_int_equal(nc_hlx_gemm(0, 0, 4, 4, 4, x, 3, x, 4, c, 4, 0, work, bytes), NC_ERR_ARG);
    assert_int_equal(nc_hlx_gemm(0, 0, 4, 4, 4, x, 4, x, 3, c, 4, 0, work, bytes), NC_ERR_ARG);
    assert_int_equal(nc_hlx_gemm(0, 0, 4, 4, 4, x, 4, x, 4, c, 3, 0, work, bytes), NC_ERR_ARG);
    assert_int_equal(nc_hlx_gemm(0, 0, 4, 4, 4, NULL, 4, x, 4, c, 4, 0, work, bytes), NC_ERR_ARG);
    assert_int_equal(nc_hlx_gemm(0, 0, 4, 4, 4, x, 4, x, 4, c, 4, 0, work, bytes - 1), NC_ERR_ARG);
    assert_int_equal(nc_hlx_gemm(0, 0, 4, 4, 4, x, 4, x, 4, c, 4, 0, NULL, bytes), NC_ERR_ARG);
    assert_int_equal(nc_hlx_gemm(0, 0, 0, 4, 4, x, 4, x, 4, c, 4, 0, work, bytes), NC_OK);
    free(work);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(gemm_equals_the_reference_at_every_level_shape_and_transposition),
        cmocka_unit_test(results_do_not_depend_on_the_number_of_threads),
        cmocka_unit_test(every_task_is_done_once_on_any_number_of_threads),
        cmocka_unit_test(bad_arguments_are_refused),
    };
    return cmocka_run_group_tests_name("hlx simd", tests, NULL, NULL);
}
