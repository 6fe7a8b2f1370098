// A column to each invocation: gradients of both embeddings, rows in ascending order, so that every
// token's chain has one order and no atomics are needed. Twin of shaders/embedding_backward.comp.
#include "nc_math.cuh"

struct embedding_backward_push {
    unsigned rows, d, seq, off_dout, off_token, off_dwte, off_dwpe;
};

extern "C" __global__ void embedding_backward(const float *x, const unsigned *tokens, float *g,
                                              embedding_backward_push p) {
    unsigned j = blockIdx.x * 64 + threadIdx.x, i;
    if (j >= p.d) return;
    for (i = 0; i < p.rows; i++) {
        float dy = x[p.off_dout + i * p.d + j];
        unsigned token = p.off_dwte + tokens[p.off_token + i] * p.d + j;
        unsigned position = p.off_dwpe + i % p.seq * p.d + j;
        g[token] = nc_add(g[token], dy);
        g[position] = nc_add(g[position], dy);
    }
}
