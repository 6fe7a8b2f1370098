/* Speed of nc_goldilocks.h at every level of the machine: one core unless the row says otherwise. */
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
static void run_ntt_reversed(void *x) { (void)x, nc_gl_ntt_to_reversed(plan, big); }
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

static int set_level(int level) { return nc_gl_set_simd(level) != NC_OK; }

/* A row without a comparison of its own. */
static bench_times row(const char *name, bench_fn fn, double per, const char *unit) {
    return bench_levels_row(name, fn, NULL, per, unit, NULL, "");
}

/* Bytes per second of a pass over memory, against memcpy; moved and copied = bytes read and
   written. */
static void memory(const char *name, bench_fn fn, double moved, bench_times copy, double copied) {
    bench_times base = bench_scale(copy, moved / copied);
    (void)bench_levels_row(name, fn, NULL, moved / 1e9, "GB/s", &base, "memcpy");
}

static void transforms(void) {
    static const uint32_t sizes[] = {12, 16, 20, 22, 24};
    bench_times t, million = {{0}};
    char name[64];
    size_t i;
    for (i = 0; i < 5; i++) {
        if (sizes[i] == 24) {
            free(big);
            big = calloc((size_t)1 << 24, sizeof *big);
        }
        if (!big || nc_gl_ntt_create(&plan, sizes[i], NULL) != NC_OK) exit(1);
        snprintf(name, sizeof name, "NTT 2^%u", (unsigned)sizes[i]);
        t = bench_measure(run_ntt, NULL);
        if (sizes[i] == 20) million = t;
        if (sizes[i] == 24) million = bench_scale(million, 16 * 24.0 / 20);
        bench_print(name, t, 1e3, "ms", sizes[i] == 24 ? &million : NULL,
                    sizes[i] == 24 ? "speed of 2^20, by n log n" : "");
        if (sizes[i] == 20) {
            (void)bench_levels_row("inverse NTT 2^20", run_ntt_back, NULL, 1e3, "ms", &t,
                                   "forward");
            (void)bench_levels_row("NTT 2^20, to reversed order", run_ntt_reversed, NULL, 1e3, "ms",
                                   &t, "natural order");
        }
        nc_gl_ntt_destroy(plan);
    }
}

static void hashes(void) {
    static const uint32_t widths[] = {8, 12, 16, 0};
    char name[80];
    size_t i;
    for (i = 0; i < 4; i++) {
        bench_times one;
        width = widths[i];
        if (width)
            snprintf(name, sizeof name, "Poseidon2 width %u", (unsigned)width);
        else
            snprintf(name, sizeof name, "Poseidon2 trident");
        one = bench_scale(row(name, run_one, 1e9, "ns"), STATES);
        strcat(name, ", many, each");
        (void)bench_levels_row(name, run_many, NULL, 1e9 / STATES, "ns", &one, "one alone");
    }
    {
        bench_times one = bench_scale(row("Tip5", run_tip5, 1e9, "ns"), STATES);
        (void)bench_levels_row("Tip5, many, each", run_tip5_many, NULL, 1e9 / STATES, "ns", &one,
                               "one alone");
    }
    (void)row("trident hash of 64 KiB", run_bytes, 65536 / 1e6, "MB/s");
}

int main(int argc, char **argv) {
    const double copied = 2.0 * LARGE * sizeof *big;
    bench_times copying, one;
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
    bench_begin("goldilocks", argc, argv, set_level);
    (void)row("mul", run_mul, N / 1e9, "Gop/s");
    (void)row("dot", run_dot, N / 1e9, "GMAC/s");
    side = 64;
    (void)row("field matmul 64^3", run_matmul, 262144 / 1e9, "GMAC/s");
    side = SIDE;
    (void)row("field matmul 256^3", run_matmul, SIDE * SIDE * SIDE / 1e9, "GMAC/s");
    for (i = 0; i < SIDE * SIDE; i++) { /* values in (-8, 8) */
        left[i] = nc_gl_from_i64((int64_t)(left[i] >> 44) - (1 << 19));
        right[i] = nc_gl_from_i64((int64_t)(right[i] >> 44) - (1 << 19));
    }
    (void)row("fixed-point matmul 256^3", run_fixed, SIDE * SIDE * SIDE / 1e9, "GMAC/s");
    bench_row("inverse", bench_time(run_inv, NULL) * 1e9, "ns", 0, "");
    (void)row("batch inverse, each", run_batch, 1e9 / N, "ns");
    copying = bench_measure(run_copy, NULL);
    bench_print("memcpy of 32 MiB, read and written", copying, copied / 1e9, "GB/s", NULL, "");
    memory("vec_add of 2^22", run_big_add, 3.0 * LARGE * sizeof *big, copying, copied);
    memory("vec_axpy of 2^22", run_big_axpy, 3.0 * LARGE * sizeof *big, copying, copied);
    memory("vec_sum of 2^22", run_big_sum, 1.0 * LARGE * sizeof *big, copying, copied);
    memory("bit reversal of 2^22", run_reverse, copied, copying, copied);
    memory("transpose 2048 x 2048", run_transpose, copied, copying, copied);
    transforms();
    hashes();
    one = row("Merkle tree of 2^20 leaves, one core", run_merkle, 1e3, "ms");
    threads(cores());
    (void)bench_levels_row("Merkle tree of 2^20 leaves, all cores", run_merkle, NULL, 1e3, "ms",
                           &one, "one core");
    free(big);
    free(copy);
    return bench_end();
}
