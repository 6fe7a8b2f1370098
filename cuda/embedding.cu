// out[i d + j] = wte[token[i] d + j] + wpe[(i mod seq) d + j]. Twin of shaders/embedding.comp.
#include "nc_math.cuh"

struct embedding_push {
    unsigned count, d, seq, off_wte, off_wpe, off_token, off_out;
};

extern "C" __global__ void embedding(const float *w, const unsigned *tokens, float *x,
                                     embedding_push p) {
    unsigned at = (blockIdx.y * gridDim.x + blockIdx.x) * 256 + threadIdx.x, i = at / p.d,
             j = at % p.d;
    if (at >= p.count) return;
    unsigned token = tokens[p.off_token + i];
    x[p.off_out + at] = nc_add(w[p.off_wte + token * p.d + j], w[p.off_wpe + i % p.seq * p.d + j]);
}
