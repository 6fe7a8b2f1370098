// A column to each thread, chains over ascending rows: beta += dout; with gamma != 0 also gamma
// += dout xhat, the weights' gradients of layernorm. Rows are loaded 16 at a time before the first
// of them is added: one after the other, each addition waited for its own load.
#include "nc_kernel.h"

NC_PUSH { uint rows, n, gamma, off_dout, off_x, off_mean, off_rstd, off_dgamma, off_dbeta; }
NC_P;

NC_KERNEL_2(column_sums, 32, 1, NC_IN(0, float, x), NC_IO(1, float, g)) {
    uint i = NC_GROUP.x * 32 + NC_THREAD.x, r, j;
    if (i >= p.n) return;
    float beta = g[p.off_dbeta + i], gamma = p.gamma != 0 ? g[p.off_dgamma + i] : 0.0f;
    for (r = 0; r < p.rows; r += 16) {
        float dy[16], xhat[16];
        NC_UNROLL for (j = 0; j < 16; j++) {
            uint row = min(r + j, p.rows - 1);
            dy[j] = x[p.off_dout + row * p.n + i];
            xhat[j] = p.gamma != 0 ? nc_mul(nc_sub(x[p.off_x + row * p.n + i], x[p.off_mean + row]),
                                            x[p.off_rstd + row])
                                   : 0.0f;
        }
        NC_UNROLL for (j = 0; j < 16; j++) {
            if (r + j >= p.rows) continue;
            gamma = p.gamma != 0 ? nc_fma(dy[j], xhat[j], gamma) : gamma;
            beta = nc_add(beta, dy[j]);
        }
    }
    g[p.off_dbeta + i] = beta;
    if (p.gamma != 0) g[p.off_dgamma + i] = gamma;
}
