/* Speed of nc_goldilocks.h on one core. */
#define _POSIX_C_SOURCE 199309L
#include "bench.h"
#define NC_IMPLEMENTATION
#include "../nc_goldilocks.h"

enum { N = 4096 };
static nc_gl a[N], b[N], c[N], *big, *copy;
static nc_gl_ntt *plan;
static size_t bytes;
static volatile nc_gl sink;

static void run_remainder(void *x) { /* the plainest C: a 128-bit remainder */
    size_t i;
    (void)x;
    for (i = 0; i < N; i++)
        c[i] = (nc_gl)((unsigned __int128)a[i] * b[i] % ((unsigned __int128)NC_GL_P));
}
static void run_mul(void *x) { (void)x, nc_gl_vec_mul(c, a, b, N); }
static void run_add(void *x) { (void)x, nc_gl_vec_add(c, a, b, N); }
static void run_dot(void *x) { (void)x, sink = nc_gl_vec_dot(a, b, N); }
static void run_inv(void *x) { (void)x, (void)nc_gl_inv(a[1], c), a[1] = c[0]; }
static void run_batch(void *x) { (void)x, (void)nc_gl_batch_inv(c, a, N, big, NULL); }
static void run_ntt(void *x) { (void)x, nc_gl_ntt_forward(plan, big); }
static void run_copy(void *x) { (void)x, memcpy(copy, big, bytes); }
static void run_trident(void *x) { (void)x, nc_gl_trident_permute(c); }
static void run_plonky3(void *x) { (void)x, (void)nc_gl_poseidon2_permute(c, 8); }
static void run_tip5(void *x) { (void)x, nc_gl_tip5_permute(c); }
static void run_hash(void *x) { (void)x, nc_gl_trident_hash_bytes(big, 1 << 16, c); }

int main(int argc, char **argv) {
    double reference, t, copied;
    uint64_t x = 88172645463325252u;
    size_t i;
    int log2_n;
    for (i = 0; i < N; i++) {
        x ^= x << 13, x ^= x >> 7, x ^= x << 17;
        a[i] = nc_gl_from_u64(x);
        b[i] = nc_gl_from_u64(x * 0x9E3779B97F4A7C15u);
    }
    big = calloc(1 << 20, sizeof *big);
    copy = calloc(1 << 20, sizeof *copy);
    if (!big || !copy) return 1;
    for (i = 0; i < 1 << 20; i++) big[i] = copy[i] = a[i % N];
    bench_begin("goldilocks", argc, argv);
    reference = bench_time(run_remainder, NULL);
    bench_row("mul, 128-bit remainder", N / reference / 1e9, "Gop/s", 0, "");
    t = bench_time(run_mul, NULL);
    bench_row("nc_gl_vec_mul", N / t / 1e9, "Gop/s", reference / t, "128-bit remainder");
    t = bench_time(run_add, NULL);
    bench_row("nc_gl_vec_add", N / t / 1e9, "Gop/s", 0, "");
    t = bench_time(run_dot, NULL);
    bench_row("nc_gl_vec_dot", N / t / 1e9, "GMAC/s", reference / t, "128-bit remainder");
    reference = bench_time(run_inv, NULL);
    bench_row("nc_gl_inv", reference * 1e9, "ns", 0, "");
    t = bench_time(run_batch, NULL) / N;
    bench_row("nc_gl_batch_inv, per element", t * 1e9, "ns", reference / t, "nc_gl_inv");
    for (log2_n = 12; log2_n <= 20; log2_n += 4) {
        char name[64];
        bytes = sizeof *big << log2_n;
        if (nc_gl_ntt_create(&plan, (uint32_t)log2_n, NULL) != NC_OK) return 1;
        t = bench_time(run_ntt, NULL);
        copied = bench_time(run_copy, NULL);
        snprintf(name, sizeof name, "nc_gl_ntt_forward 2^%d", log2_n);
        bench_row(name, t * 1e3, "ms", t / copied, "memcpy of the data (slower)");
        nc_gl_ntt_destroy(plan);
    }
    bench_row("Poseidon2 trident, one permutation", bench_time(run_trident, NULL) * 1e9, "ns", 0,
              "");
    bench_row("Poseidon2 Plonky3 width 8, one permutation", bench_time(run_plonky3, NULL) * 1e9,
              "ns", 0, "");
    bench_row("Tip5, one permutation", bench_time(run_tip5, NULL) * 1e9, "ns", 0, "");
    bench_row("Poseidon2 trident of bytes", 65536 / bench_time(run_hash, NULL) / 1e6, "MB/s", 0,
              "");
    free(big);
    free(copy);
    return bench_end();
}
