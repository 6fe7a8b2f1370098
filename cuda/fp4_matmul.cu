// Y (n x rows) = X (n x columns) W^T for 4-bit weights, as nc_fp4_matmul: a block of threads computes
// one row (x) for one vector (y). Twin of shaders/fp4_matmul.comp.
#include "nc_math.cuh"

struct fp4_matmul_push {
    unsigned rows, columns, row_words, row_scales;
    float table[16];
};

extern "C" __global__ void fp4_matmul(const unsigned *codes, const float *scale, const float *x,
                                      float *y, fp4_matmul_push p) {
    __shared__ float lanes[32];
    unsigned lane = threadIdx.x, row = blockIdx.x, v = blockIdx.y;
    float sum = 0.0f;
    for (unsigned c = lane; c < p.columns; c += 32) {
        unsigned code = codes[(size_t)row * p.row_words + c / 8] >> (c % 8 * 4) & 15u;
        float weight = nc_mul(p.table[code], scale[(size_t)row * p.row_scales + c / 16]);
        sum = nc_fma(weight, x[(size_t)v * p.columns + c], sum);
    }
    sum = nc_tree(lanes, sum);
    if (lane == 0) y[(size_t)v * p.rows + row] = sum;
}
