// C (m x n) = op(A) op(B), or += with accumulate: nc_hlx_gemm without strides. Each thread owns
// one element of C and walks k in ascending order, one fma a step. Twin of shaders/gemm.comp.
#include "nc_math.cuh"

struct gemm_push {
    unsigned m, n, k, trans_a, trans_b, accumulate;
};

extern "C" __global__ void gemm(const float *a, const float *b, float *c, gemm_push p) {
    __shared__ float tile_a[16][17]; // [row][k]
    __shared__ float tile_b[16][17]; // [k][column]
    unsigned x = threadIdx.x, y = threadIdx.y;
    unsigned row = blockIdx.y * 16 + y, column = blockIdx.x * 16 + x;
    bool inside = row < p.m && column < p.n;
    float sum = 0.0f;
    if (inside && p.accumulate) sum = c[(size_t)row * p.n + column];
    for (unsigned k0 = 0; k0 < p.k; k0 += 16) {
        unsigned ka = k0 + x, kb = k0 + y;
        tile_a[y][x] = 0.0f;
        tile_b[y][x] = 0.0f;
        if (row < p.m && ka < p.k)
            tile_a[y][x] = a[p.trans_a ? (size_t)ka * p.m + row : (size_t)row * p.k + ka];
        if (column < p.n && kb < p.k)
            tile_b[y][x] = b[p.trans_b ? (size_t)column * p.k + kb : (size_t)kb * p.n + column];
        __syncthreads();
        unsigned steps = min(16u, p.k - k0); // no padded step: fma(0, 0, -0) would lose a sign
        for (unsigned i = 0; i < steps; i++) sum = nc_fma(tile_a[y][i], tile_b[i][x], sum);
        __syncthreads();
    }
    if (inside) c[(size_t)row * p.n + column] = sum;
}
