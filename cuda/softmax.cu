// A row of n <= 4,096 to each workgroup, in place; causal: row r of a block of n rows keeps its
// first r + 1 entries, the rest become 0. Twin of shaders/softmax.comp.
#include "nc_math.cuh"

struct softmax_push {
    unsigned n, causal, off_x;
};

extern "C" __global__ void softmax(float *x, softmax_push p) {
    __shared__ float lane[32];
    unsigned row = blockIdx.x, j = threadIdx.x, i;
    unsigned at = p.off_x + row * p.n, kept = p.causal != 0 ? row % p.n + 1 : p.n;
    float most = x[at], s = 0.0f;
    for (i = j; i < kept; i += 32) most = x[at + i] > most ? x[at + i] : most;
    most = nc_tree_max(lane, most);
    for (i = j; i < kept; i += 32) {
        float e = nc_exp(nc_sub(x[at + i], most));
        x[at + i] = e;
        s = nc_add(s, e);
    }
    float sum = nc_tree(lane, s);
    for (i = j; i < p.n; i += 32) x[at + i] = i < kept ? nc_div(x[at + i], sum) : 0.0f;
}
