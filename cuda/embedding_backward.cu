// Gradients of both embeddings, no atomics. Block g < rows: the g-th different token; its rows are
// order[start[g]] .. order[start[g + 1] - 1], ascending. Block rows + t: position t. Each thread owns
// columns and adds rows in ascending order. Twin of shaders/embedding_backward.comp.
#include "nc_math.cuh"

struct embedding_backward_push {
    unsigned rows, d, seq, off_dout, off_token, off_order, off_start, off_dwte, off_dwpe;
};

extern "C" __global__ void embedding_backward(const float *x, const unsigned *tokens, float *g,
                                              embedding_backward_push p) {
    unsigned group = blockIdx.y * gridDim.x + blockIdx.x, i, j, to;
    if (group >= p.rows + p.seq) return;
    bool token = group < p.rows;
    unsigned first = token ? tokens[p.off_start + group] : group - p.rows;
    unsigned end = token ? tokens[p.off_start + group + 1] : p.rows, stride = token ? 1 : p.seq;
    if (first >= end) return;
    to = token ? p.off_dwte + tokens[p.off_token + tokens[p.off_order + first]] * p.d
               : p.off_dwpe + first * p.d;
    for (j = threadIdx.x; j < p.d; j += 64) {
        float sum = g[to + j];
        for (i = first; i < end; i += stride) {
            unsigned row = token ? tokens[p.off_order + i] : i;
            sum = nc_add(sum, x[p.off_dout + row * p.d + j]);
        }
        g[to + j] = sum;
    }
}
