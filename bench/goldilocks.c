/* Speed of nc_goldilocks.h: one core unless the row says otherwise; ratios are against the portable
   branch-free C of the same function in the same run (nc_gl_set_simd(0)). */
#define _POSIX_C_SOURCE 199309L
#include "bench.h"
#ifdef _OPENMP
#include <omp.h>
#endif
#define NC_IMPLEMENTATION
#include "../nc_goldilocks.h"

enum { N = 4096, SIDE = 256, STATES = 1024, LARGE = 1 << 22 };
static nc_gl a[N], b[N], c[N], digest[5], *big, *copy;
static nc_gl left[SIDE * SIDE], right[SIDE * SIDE], product[SIDE * SIDE];
static nc_gl states[STATES * 16];
static nc_gl_ntt *plan;
static uint32_t width;
static size_t side;
static volatile nc_gl sink;

static void run_mul(void *x) { (void)x, (void)nc_gl_vec_mul(c, a, b, N); }
static void run_dot(void *x) { (void)x, sink = nc_gl_vec_dot(a, b, N); }
static void run_inv(void *x) { (void)x, (void)nc_gl_inv(a[1], c), a[1] = c[0]; }
static void run_batch(void *x) { (void)x, (void)nc_gl_batch_inv(c, a, N, big, NULL); }
static void run_matmul(void *x) {
    (void)x, (void)nc_gl_matmul(product, left, right, side, side, side);
}
static void run_fixed(void *x) {
    (void)x, (void)nc_fixed_matmul(product, left, right, side, side, side);
}
static void run_ntt(void *x) { (void)x, nc_gl_ntt_forward(plan, big); }
static void run_ntt_back(void *x) { (void)x, nc_gl_ntt_inverse(plan, big); }
static void run_one(void *x) {
    (void)x;
    if (width)
        (void)nc_gl_poseidon2_permute(states, width);
    else
        nc_gl_trident_permute(states);
}
static void run_many(void *x) {
    (void)x;
    if (width)
        (void)nc_gl_poseidon2_permute_many(states, width, STATES);
    else
        nc_gl_trident_permute_many(states, STATES);
}
static void run_tip5(void *x) { (void)x, nc_gl_tip5_permute(states); }
static void run_tip5_many(void *x) { (void)x, nc_gl_tip5_permute_many(states, STATES); }
static void run_bytes(void *x) { (void)x, nc_gl_trident_hash_bytes(big, 1 << 16, digest); }
static void run_merkle(void *x) {
    (void)x, (void)nc_gl_merkle_build(NC_GL_POSEIDON2, big, 1 << 20);
}
static void run_copy(void *x) { (void)x, memcpy(copy, big, LARGE * sizeof *big); }
static void run_big_add(void *x) { (void)x, (void)nc_gl_vec_add(copy, big, copy, LARGE); }
static void run_big_sum(void *x) { (void)x, sink = nc_gl_vec_sum(big, LARGE); }
static void run_big_axpy(void *x) { (void)x, (void)nc_gl_vec_axpy(copy, 12345, big, LARGE); }
static void run_reverse(void *x) { (void)x, nc_gl_bit_reverse(big, 22); }
static void run_transpose(void *x) { (void)x, (void)nc_gl_transpose(copy, big, 2048, 2048); }

static void threads(int n) {
#ifdef _OPENMP
    omp_set_num_threads(n);
#else
    (void)n;
#endif
}

static int cores(void) {
#ifdef _OPENMP
    return omp_get_num_procs();
#else
    return 1;
#endif
}

/* A row for the portable code and one for the best this machine has; per is what one call does, in
   units; a rate when rate is nonzero, else time in units of `unit`. */
static void pair(const char *name, bench_fn fn, double per, const char *unit, int rate) {
    char title[96];
    double plain, best;
    (void)nc_gl_set_simd(0);
    plain = bench_time(fn, NULL);
    snprintf(title, sizeof title, "%s, portable", name);
    bench_row(title, rate ? per / plain : plain * per, unit, 0, "");
    (void)nc_gl_set_simd(-1);
    best = bench_time(fn, NULL);
    bench_row(name, rate ? per / best : best * per, unit, plain / best, "portable");
}

/* Bytes per second of a pass over memory, against memcpy; moved = bytes read and written. */
static void memory(const char *name, bench_fn fn, double moved, double copied) {
    double rate = moved / bench_time(fn, NULL);
    bench_row(name, rate / 1e9, "GB/s", rate / copied, "memcpy of 32 MiB");
}

static void transforms(void) {
    static const uint32_t sizes[] = {12, 16, 20, 22};
    double per_step = 0, t;
    char name[64];
    size_t i;
    for (i = 0; i < 4; i++) {
        if (nc_gl_ntt_create(&plan, sizes[i], NULL) != NC_OK) exit(1);
        snprintf(name, sizeof name, "NTT 2^%u", (unsigned)sizes[i]);
        pair(name, run_ntt, 1e3, "ms", 0);
        if (sizes[i] == 20) {
            per_step = bench_time(run_ntt, NULL) / (20.0 * (1 << 20));
            bench_row("inverse NTT 2^20", bench_time(run_ntt_back, NULL) * 1e3, "ms", 0, "");
        }
        nc_gl_ntt_destroy(plan);
    }
    free(big);
    big = calloc((size_t)1 << 24, sizeof *big);
    if (!big || nc_gl_ntt_create(&plan, 24, NULL) != NC_OK) exit(1);
    t = bench_time(run_ntt, NULL);
    bench_row("NTT 2^24", t * 1e3, "ms", t / (24.0 * (1 << 24)) / per_step,
              "n log n from 2^20 (slower)");
    nc_gl_ntt_destroy(plan);
}

static void hashes(void) {
    static const uint32_t widths[] = {8, 12, 16, 0};
    char name[80];
    size_t i;
    for (i = 0; i < 4; i++) {
        double one, many;
        width = widths[i];
        one = bench_time(run_one, NULL);
        if (width)
            snprintf(name, sizeof name, "Poseidon2 width %u", (unsigned)width);
        else
            snprintf(name, sizeof name, "Poseidon2 trident");
        bench_row(name, one * 1e9, "ns", 0, "");
        many = bench_time(run_many, NULL) / STATES;
        strcat(name, ", many, each");
        bench_row(name, many * 1e9, "ns", one / many, "one alone");
    }
    {
        double one = bench_time(run_tip5, NULL), many = bench_time(run_tip5_many, NULL) / STATES;
        bench_row("Tip5", one * 1e9, "ns", 0, "");
        bench_row("Tip5, many, each", many * 1e9, "ns", one / many, "one alone");
    }
    bench_row("trident hash of 64 KiB", 65536 / bench_time(run_bytes, NULL) / 1e6, "MB/s", 0, "");
}

int main(int argc, char **argv) {
    double copied, one, all;
    uint64_t x = 88172645463325252u;
    size_t i;
    threads(1);
    for (i = 0; i < N; i++) {
        x ^= x << 13, x ^= x >> 7, x ^= x << 17;
        a[i] = nc_gl_from_u64(x);
        b[i] = nc_gl_from_u64(x * 0x9E3779B97F4A7C15u);
    }
    for (i = 0; i < SIDE * SIDE; i++) {
        left[i] = nc_gl_from_u64(a[i % N] * (i / N + 1));
        right[i] = nc_gl_from_u64(b[i % N] * (i / N + 1));
    }
    for (i = 0; i < STATES * 16; i++) states[i] = left[i];
    big = calloc(LARGE, sizeof *big);
    copy = calloc(LARGE, sizeof *copy);
    if (!big || !copy) return 1;
    for (i = 0; i < LARGE; i++) big[i] = copy[i] = nc_gl_from_u64(a[i % N] + i);
    bench_begin("goldilocks", argc, argv);
    pair("mul", run_mul, N / 1e9, "Gop/s", 1);
    pair("dot", run_dot, N / 1e9, "GMAC/s", 1);
    side = 64;
    pair("field matmul 64^3", run_matmul, 262144 / 1e9, "GMAC/s", 1);
    side = SIDE;
    pair("field matmul 256^3", run_matmul, SIDE * SIDE * SIDE / 1e9, "GMAC/s", 1);
    for (i = 0; i < SIDE * SIDE; i++) { /* values in (-8, 8) */
        left[i] = nc_gl_from_i64((int64_t)(left[i] >> 44) - (1 << 19));
        right[i] = nc_gl_from_i64((int64_t)(right[i] >> 44) - (1 << 19));
    }
    pair("fixed-point matmul 256^3", run_fixed, SIDE * SIDE * SIDE / 1e9, "GMAC/s", 1);
    one = bench_time(run_inv, NULL);
    bench_row("inverse", one * 1e9, "ns", 0, "");
    pair("batch inverse, each", run_batch, 1e9 / N, "ns", 0);
    copied = 2.0 * LARGE * sizeof *big / bench_time(run_copy, NULL);
    bench_row("memcpy of 32 MiB, read and written", copied / 1e9, "GB/s", 0, "");
    memory("vec_add of 2^22", run_big_add, 3.0 * LARGE * sizeof *big, copied);
    memory("vec_axpy of 2^22", run_big_axpy, 3.0 * LARGE * sizeof *big, copied);
    memory("vec_sum of 2^22", run_big_sum, 1.0 * LARGE * sizeof *big, copied);
    memory("bit reversal of 2^22", run_reverse, 2.0 * LARGE * sizeof *big, copied);
    memory("transpose 2048 x 2048", run_transpose, 2.0 * LARGE * sizeof *big, copied);
    transforms();
    hashes();
    one = bench_time(run_merkle, NULL);
    bench_row("Merkle tree of 2^20 leaves, one core", one * 1e3, "ms", 0, "");
    threads(cores());
    all = bench_time(run_merkle, NULL);
    bench_row("Merkle tree of 2^20 leaves, all cores", all * 1e3, "ms", one / all, "one core");
    free(big);
    free(copy);
    return bench_end();
}
