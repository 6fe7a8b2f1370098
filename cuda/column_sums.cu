// A column to each thread, chains over ascending rows: beta += dout; with gamma != 0 also gamma
// += dout xhat, the weights' gradients of layernorm.
#include "nc_kernel.h"

NC_PUSH { uint rows, n, gamma, off_dout, off_x, off_mean, off_rstd, off_dgamma, off_dbeta; }
NC_P;

NC_KERNEL_2(column_sums, 64, 1, NC_IN(0, float, x), NC_IO(1, float, g)) {
    uint i = NC_GROUP.x * 64 + NC_THREAD.x, r;
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
