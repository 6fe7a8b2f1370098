// C = op(A) op(B), or += with accumulate, as nc_hlx_gemm; then times the scale, if there is one. Each
// thread owns one element of C and walks k in ascending order, one fma a step. Matrix z of a batch
// is head z mod heads of window z / heads; every matrix has an offset, a row stride and two batch
// strides. Twin of shaders/gemm.comp.
#include "nc_math.cuh"

struct gemm_push {
    unsigned m, n, k, trans_a, trans_b, accumulate, heads, lda, ldb, ldc, off_a, off_b, off_c;
    unsigned window_a, window_b, window_c, head_a, head_b, head_c, scaled;
    float scale;
};

extern "C" __global__ void gemm(const float *a, const float *b, float *c, gemm_push p) {
    __shared__ float tile_a[16][17]; // [row][k]
    __shared__ float tile_b[16][17]; // [k][column]
    unsigned x = threadIdx.x, y = threadIdx.y;
    unsigned row = blockIdx.y * 16 + y, column = blockIdx.x * 16 + x;
    unsigned window = blockIdx.z / p.heads, head = blockIdx.z % p.heads;
    size_t at_a = (size_t)p.off_a + (size_t)window * p.window_a + head * p.head_a;
    size_t at_b = (size_t)p.off_b + (size_t)window * p.window_b + head * p.head_b;
    size_t at_c =
        (size_t)p.off_c + (size_t)window * p.window_c + head * p.head_c + row * p.ldc + column;
    bool inside = row < p.m && column < p.n;
    float sum = 0.0f;
    if (inside && p.accumulate != 0) sum = c[at_c];
    for (unsigned k0 = 0; k0 < p.k; k0 += 16) {
        unsigned ka = k0 + x, kb = k0 + y;
        tile_a[y][x] = 0.0f;
        tile_b[y][x] = 0.0f;
        if (row < p.m && ka < p.k)
            tile_a[y][x] = a[at_a + (p.trans_a != 0 ? ka * p.lda + row : row * p.lda + ka)];
        if (column < p.n && kb < p.k)
            tile_b[y][x] = b[at_b + (p.trans_b != 0 ? column * p.ldb + kb : kb * p.ldb + column)];
        __syncthreads();
        unsigned steps = min(16u, p.k - k0); // no padded step: fma(0, 0, -0) would lose a sign
        for (unsigned i = 0; i < steps; i++) sum = nc_fma(tile_a[y][i], tile_b[i][x], sum);
        __syncthreads();
    }
    if (p.scaled != 0) sum = nc_mul(sum, p.scale);
    if (inside) c[at_c] = sum;
}
