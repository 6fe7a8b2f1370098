// C (m x n) = A (m x k) B (k x n) in the field; with fixed, each sum is rescaled once, as
// nc_fixed_matmul does. Twin of shaders/gl_matmul.comp.
#include "nc_math.cuh"

struct gl_matmul_push {
    unsigned m, n, k, fixed_point;
};

extern "C" __global__ void gl_matmul(const fe *a, const fe *b, fe *c, gl_matmul_push p) {
    __shared__ fe tile_a[16][17]; // [row][k]
    __shared__ fe tile_b[16][17]; // [k][column]
    unsigned x = threadIdx.x, y = threadIdx.y;
    unsigned row = blockIdx.y * 16 + y, column = blockIdx.x * 16 + x;
    fe sum = 0;
    for (unsigned k0 = 0; k0 < p.k; k0 += 16) {
        tile_a[y][x] = 0;
        tile_b[y][x] = 0;
        if (row < p.m && k0 + x < p.k) tile_a[y][x] = a[(size_t)row * p.k + k0 + x];
        if (column < p.n && k0 + y < p.k) tile_b[y][x] = b[(size_t)(k0 + y) * p.n + column];
        __syncthreads();
        for (unsigned i = 0; i < 16; i++) sum = fe_add(sum, fe_mul(tile_a[y][i], tile_b[i][x]));
        __syncthreads();
    }
    if (row < p.m && column < p.n)
        c[(size_t)row * p.n + column] = p.fixed_point ? fe_rescale(sum) : sum;
}
