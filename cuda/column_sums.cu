// A column to each invocation, chains over ascending rows: beta += dout; with gamma != 0 also gamma
// += dout xhat, the weights' gradients of layernorm. Twin of shaders/column_sums.comp.
#include "nc_math.cuh"

struct column_sums_push {
    unsigned rows, n, gamma, off_dout, off_x, off_mean, off_rstd, off_dgamma, off_dbeta;
};

extern "C" __global__ void column_sums(const float *x, float *g, column_sums_push p) {
    unsigned i = blockIdx.x * 64 + threadIdx.x, r;
    if (i >= p.n) return;
    float beta = g[p.off_dbeta + i], gamma = p.gamma != 0 ? g[p.off_dgamma + i] : 0.0f;
    for (r = 0; r < p.rows; r++) {
        float dy = x[p.off_dout + r * p.n + i];
        if (p.gamma != 0) {
            float centred = nc_sub(x[p.off_x + r * p.n + i], x[p.off_mean + r]);
            gamma = nc_fma(dy, nc_mul(centred, x[p.off_rstd + r]), gamma);
        }
        beta = nc_add(beta, dy);
    }
    g[p.off_dbeta + i] = beta;
    if (p.gamma != 0) g[p.off_dgamma + i] = gamma;
}
