// `stages` radix-2 steps of a decimation in frequency on blocks of 2^log2_block points: each
// block takes 2^stages rows, 2^(log2_block - stages) apart, times 2^log2_columns neighbouring
// columns through shared memory, at most 1,024 points. twiddle[i] = root^i, i < n / 2. Transforms of
// a batch lie one after the other; block y is the batch. Twin of shaders/gl_ntt.comp.
#include "nc_math.cuh"

struct gl_ntt_push {
    unsigned log2_n, log2_block, stages, log2_columns;
};

extern "C" __global__ void gl_ntt(fe *data, const fe *twiddle, gl_ntt_push p) {
    __shared__ fe tile[1024];
    unsigned x = threadIdx.x, columns = 1u << p.log2_columns, rows = 1u << p.stages;
    unsigned stride = 1u << (p.log2_block - p.stages), points = rows << p.log2_columns;
    unsigned group = blockIdx.z * gridDim.x + blockIdx.x,
             across = stride >> p.log2_columns; // column groups in a block
    size_t start = (size_t)blockIdx.y << p.log2_n;
    start += (size_t)(group / across) << p.log2_block;
    unsigned first = group % across << p.log2_columns; // this group's first column
    for (unsigned i = x; i < points; i += 256)
        tile[i] =
            data[start + (size_t)(i >> p.log2_columns) * stride + first + (i & (columns - 1))];
    __syncthreads();
    for (unsigned s = 0; s < p.stages; s++) {
        unsigned half_rows = rows >> (s + 1);
        for (unsigned i = x; i < points / 2; i += 256) {
            unsigned column = i & (columns - 1), row = i >> p.log2_columns;
            unsigned low = row & (half_rows - 1);
            unsigned u = (((row - low) * 2 + low) << p.log2_columns) + column;
            unsigned v = u + (half_rows << p.log2_columns);
            // the column inside the half block of this step, times the root's distance in the table
            unsigned power = (low * stride + first + column) << (p.log2_n - p.log2_block + s);
            fe a = tile[u], b = tile[v];
            tile[u] = fe_add(a, b);
            tile[v] = fe_mul(fe_sub(a, b), twiddle[power]);
        }
        __syncthreads();
    }
    for (unsigned i = x; i < points; i += 256)
        data[start + (size_t)(i >> p.log2_columns) * stride + first + (i & (columns - 1))] =
            tile[i];
}
