/* One number over the results of nc_goldilocks.h: every build must print the same. Field, vectors,
   matrices, NTT, hashes, trees, transcripts and fixed point on edge and pseudo-random elements.
   digest_goldilocks [LEVEL]: with that SIMD level. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#define NC_IMPLEMENTATION
#include "../nc_goldilocks.h"

enum { N = 4096 };
static nc_gl a[N], b[N], c[N], d[2 * N];
static uint64_t digest = UINT64_C(0xCBF29CE484222325);

/* FNV-1a of the elements as little-endian bytes, whatever the machine's order. */
static void take(const nc_gl *x, size_t n) {
    size_t i;
    int k;
    for (i = 0; i < n; i++)
        for (k = 0; k < 64; k += 8) digest = (digest ^ (x[i] >> k & 255)) * UINT64_C(0x100000001B3);
}

static void start(void) {
    static const uint64_t edge[6] = {
        0, 1, NC_GL_P - 1, 0xFFFFFFFF, UINT64_C(0xFFFFFFFEFFFFFFFF), UINT64_C(0x7FFFFFFF80000000)};
    uint64_t x = 88172645463325252u;
    size_t i;
    for (i = 0; i < N; i++) {
        x ^= x << 13, x ^= x >> 7, x ^= x << 17;
        a[i] = nc_gl_from_u64(i % 7 ? x : edge[x % 6]);
        b[i] = nc_gl_from_u64(i % 11 ? x * 0x9E3779B97F4A7C15u : edge[(x >> 8) % 6]);
    }
}

static void vectors(void) {
    nc_gl x;
    size_t zeros;
    (void)nc_gl_vec_add(c, a, b, N), take(c, N);
    (void)nc_gl_vec_sub(c, a, b, N), take(c, N);
    (void)nc_gl_vec_mul(c, a, b, N), take(c, N);
    (void)nc_gl_vec_axpy(c, a[5], b, N), take(c, N);
    (void)nc_gl_batch_inv(c, a, N, d, &zeros), take(c, N);
    (void)nc_gl_matmul(c, a, b, 61, 67, 59), take(c, 61 * 59);
    x = nc_gl_vec_dot(a, b, N), take(&x, 1);
    x = nc_gl_vec_sum(a, N), take(&x, 1);
    (void)nc_gl_ext3_inv(c, a + 1), take(c, 3);
    (void)nc_gl_sqrt(nc_gl_sqr(a[1]), &x), take(&x, 1);
}

static void transforms(void) {
    nc_gl_ntt *plan;
    uint32_t log2_n;
    for (log2_n = 0; log2_n <= 12; log2_n++) {
        if (nc_gl_ntt_create(&plan, log2_n, NULL) != NC_OK) exit(1);
        memcpy(c, a, sizeof c);
        nc_gl_ntt_coset_forward(plan, c, 7), take(c, (size_t)1 << log2_n);
        nc_gl_ntt_inverse_from_reversed(plan, c), take(c, (size_t)1 << log2_n);
        nc_gl_ntt_destroy(plan);
    }
    if (nc_gl_poly_mul(d, a, 1000, b, 700, NULL) != NC_OK) exit(1);
    take(d, 1699);
}

static void hashes(void) {
    static const uint32_t widths[3] = {8, 12, 16};
    nc_gl_transcript t;
    int h;
    for (h = 0; h < 3; h++) {
        memcpy(c, a, sizeof c);
        (void)nc_gl_poseidon2_permute_many(c, widths[h], 45), take(c, 45 * widths[h]);
        memcpy(d + 64 * 5, b, 64 * 5 * sizeof *b);
        memset(d, 0, 64 * 5 * sizeof *d);
        (void)nc_gl_merkle_build((nc_gl_hash)h, d, 64), take(d, 64 * 5);
        (void)nc_gl_hash_fields((nc_gl_hash)h, a, 101, c), take(c, 4);
        (void)nc_gl_transcript_init(&t, (nc_gl_hash)h, "digest", 6);
        (void)nc_gl_transcript_absorb(&t, a, 33);
        (void)nc_gl_transcript_challenge(&t, c, 13), take(c, 13);
    }
    nc_gl_trident_hash_bytes("digest of bytes", 15, c), take(c, 4);
}

static void fixed_point(void) {
    size_t i;
    for (i = 0; i < N; i++) {
        nc_fixed x = nc_gl_from_i64((int64_t)(a[i] >> 43) - (1 << 20)), y;
        nc_fixed z = nc_gl_from_i64((int64_t)(b[i] >> 43) - (1 << 20));
        d[i] = x, d[N + i] = z;
        (void)nc_fixed_exp(x, &y), take(&y, 1);
        (void)nc_fixed_div(x, z, &y), take(&y, 1);
        (void)nc_fixed_sqrt(nc_fixed_abs(x), &y), take(&y, 1);
        y = nc_fixed_gelu(x), take(&y, 1);
        y = nc_fixed_mul_field(x, z), take(&y, 1);
    }
    (void)nc_fixed_matmul(c, d, d + N, 50, 40, 30), take(c, 1500);
    (void)nc_fixed_softmax(c, d, 100), take(c, 100);
    (void)nc_fixed_layer_norm(c, d, 100, NULL, d + N, 1), take(c, 100);
}

int main(int argc, char **argv) {
    if (argc > 1 && nc_gl_set_simd(atoi(argv[1])) != NC_OK) return puts("unavailable") < 0;
    start();
    vectors();
    transforms();
    hashes();
    fixed_point();
    printf("%016llx\n", (unsigned long long)digest);
    return 0;
}
