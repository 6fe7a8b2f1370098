// sums (batch x m x n) = over k of table[x][w], as nc_axx_gemm: a block of threads computes 16 x 16
// sums (columns, rows, batch) from tiles of 16 words. Twin of shaders/axx_gemm.comp.
#include "nc_math.cuh"

struct axx_gemm_push {
    unsigned m, n, k, row_words, w_batch;
    int offset;
};

extern "C" __global__ void axx_gemm(const unsigned *table, const unsigned *x, const unsigned *w,
                                    int *sums, axx_gemm_push p) {
    __shared__ unsigned rows[16][17], columns[16][17];
    unsigned c = threadIdx.x, r = threadIdx.y, batch = blockIdx.z;
    unsigned column = blockIdx.x * 16 + c, row = blockIdx.y * 16 + r;
    size_t from_x = ((size_t)batch * p.m + blockIdx.y * 16 + r) * p.row_words;
    size_t from_w = ((size_t)batch * p.w_batch + blockIdx.x * 16 + r) * p.row_words;
    unsigned sum = 0;
    for (unsigned first = 0; first < p.row_words; first += 16) {
        rows[r][c] = row < p.m && first + c < p.row_words ? x[from_x + first + c] : 0;
        columns[r][c] =
            blockIdx.x * 16 + r < p.n && first + c < p.row_words ? w[from_w + first + c] : 0;
        __syncthreads();
        unsigned last = p.k - 4 * first < 64 ? p.k - 4 * first : 64;
        for (unsigned i = 0; i < last; i++) {
            unsigned a = rows[r][i / 4] >> (i % 4 * 8) & 255u,
                     b = columns[c][i / 4] >> (i % 4 * 8) & 255u;
            sum += table[(a << 8 | b) >> 1] >> (b % 2 * 16) & 65535u;
        }
        __syncthreads();
    }
    if (row < p.m && column < p.n)
        sums[((size_t)batch * p.m + row) * p.n + column] = (int)(sum + (unsigned)p.offset);
}
