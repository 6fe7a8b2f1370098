/* Threads of a user's own, each with its own data and all libraries at once: none interferes, and all
   get the same. For tests/threads.sh, which looks for races here. With an argument: a loop of OpenMP
   that is right ("right") or not ("race"), to see whether races are seen. */
#define _POSIX_C_SOURCE 200809L /* barriers */
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "../nc_axx.h"
#include "../nc_fp4.h"
#include "../nc_goldilocks.h"
#include "../nc_hlx.h"
#include "../nc_tirneural.h"
#ifdef _OPENMP
#include <omp.h>
#endif

enum { N = 96, THREADS = 4, JOBS = 5 };

typedef struct answer {
    nc_gl field[N];
    float gelu[N], decoded[N];
    int32_t sums[N];
    char tasm[512];
} answer;

static int hash_job(answer *a, const nc_gl *x, const float *y) {
    (void)y;
    return nc_gl_vec_mul(a->field, x, x, N) == NC_OK;
}

static int gelu_job(answer *a, const nc_gl *x, const float *y) {
    (void)x;
    nc_hlx_gelu(a->gelu, y, N);
    return 1;
}

static int codes_job(answer *a, const nc_gl *x, const float *y) {
    uint8_t codes[N], scales[N];
    float scale;
    (void)x;
    return nc_fp4_quantize(NC_FP4_NVFP4, y, N, codes, scales, &scale) == NC_OK &&
           nc_fp4_dequantize(NC_FP4_NVFP4, codes, scales, scale, N, a->decoded) == NC_OK;
}

static int products_job(answer *a, const nc_gl *x, const float *y) {
    nc_axx_mult *m = (nc_axx_mult *)malloc(sizeof *m);
    nc_axx_engine *engine = NULL;
    void *work = NULL;
    size_t bytes = 0;
    int ok =
        m && nc_axx_make(m, "drum:4", NULL) == NC_OK && nc_axx_engine_create(&engine, m) == NC_OK;
    (void)y;
    if (ok) bytes = nc_axx_gemm_work_bytes(engine, 4, 8, N);
    if (ok) work = malloc(bytes + 1);
    /* 4 x 96 and 8 x 96 bytes of the numbers */
    ok = ok && work && nc_axx_gemm(engine, x, x, a->sums, 4, 8, N, work, bytes) == NC_OK;
    free(work);
    nc_axx_engine_destroy(engine);
    free(m);
    return ok;
}

static int compile_job(answer *a, const nc_gl *x, const float *y) {
    static const char text[] = "f: push 1 push 2 add dup 0 mul swap 1 pop 1 return";
    char *tasm = NULL;
    nc_error err;
    int ok = nc_tir_optimize_tasm(text, NULL, &tasm, NULL, &err) == NC_OK;
    (void)x;
    (void)y;
    if (ok) snprintf(a->tasm, sizeof a->tasm, "%s", tasm);
    nc_tir_free_text(tasm);
    return ok;
}

typedef int (*job)(answer *a, const nc_gl *x, const float *y);
static const job jobs[JOBS] = {hash_job, gelu_job, codes_job, products_job, compile_job};
static answer answers[THREADS];
static int done[THREADS];
/* All begin at once, and none ends before all have done. Two, since what is done before a barrier is
   in order with all behind it, and a thread that wakes late would take one for the other. */
static pthread_barrier_t begin, end;

static void *work(void *user) {
    const size_t t = (size_t)((answer *)user - answers);
    nc_gl x[N];
    float y[N];
    size_t i;
    for (i = 0; i < N; i++) {
        x[i] = i * UINT64_C(0x9E3779B97F4A7C1) + 7;
        y[i] = (float)i * 0.25f - 9.0f;
    }
    pthread_barrier_wait(&begin);
    done[t] = 1;
    /* The same order for all: OpenMP takes a lock when a thread first comes, behind which things are
       in order. */
    for (i = 0; i < JOBS; i++) done[t] &= jobs[i](&answers[t], x, y);
    pthread_barrier_wait(&end);
    return NULL;
}

static int loop(int right) {
    long sum = 0, i, k;
    if (right) {
#pragma omp parallel for private(k) reduction(+ : sum)
        for (i = 0; i < 8; i++)
            for (k = 0; k < 100000; k++) sum += k & i;
    } else {
#pragma omp parallel for private(k)
        for (i = 0; i < 8; i++)
            for (k = 0; k < 100000; k++) sum += k & i;
    }
    printf("%ld\n", sum);
    return 0;
}

int main(int argc, char **argv) {
    pthread_t threads[THREADS];
    int t, ok = 1;
    if (argc > 1) return loop(!strcmp(argv[1], "right"));
    if (pthread_barrier_init(&begin, NULL, THREADS) || pthread_barrier_init(&end, NULL, THREADS))
        return 1;
    for (t = 0; t < THREADS; t++)
        if (pthread_create(&threads[t], NULL, work, &answers[t])) return 1;
    for (t = 0; t < THREADS; t++) pthread_join(threads[t], NULL);
    for (t = 0; t < THREADS; t++)
        ok = ok && done[t] && !memcmp(&answers[t], &answers[0], sizeof answers[0]);
    puts(ok ? "all threads got the same" : "FAILED");
    return !ok;
}
