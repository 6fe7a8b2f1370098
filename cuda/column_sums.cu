// Chains over ascending rows, one a column, the weights' gradients of a norm: gamma += dout xhat, and
// beta += dout; with rms gamma alone, of rmsnorm, whose mean is 0. A group owns 32 columns. All its
// threads bring 32 rows of them into shared memory, xhat already formed, while the first 32 walk down
// the rows before.
#include "nc_kernel.h"

NC_PUSH { uint rows, n, rms, off_dout, off_x, off_mean, off_rstd, off_dgamma, off_dbeta; }
NC_P;

NC_SHARED float tile_dy[2][32][32]; // [turn][row][column]
NC_SHARED float tile_xhat[2][32][32];

NC_KERNEL_2(column_sums, 32, 8, NC_IN(0, float, x), NC_IO(1, float, g)) {
    uint t = NC_THREAD.x, i = NC_GROUP.x * 32 + t, j, turn = 0;
    bool chained = NC_THREAD.y == 0 && i < p.n;
    float beta = chained && p.rms == 0 ? g[p.off_dbeta + i] : 0.0f;
    float gamma = chained ? g[p.off_dgamma + i] : 0.0f;
    for (uint r0 = 0; r0 < p.rows + 32; r0 += 32) {
        float dy[4], xhat[4];
        NC_UNROLL for (j = 0; j < 4; j++) {
            uint row = r0 + NC_THREAD.y + 8 * j;
            bool inside = row < p.rows && i < p.n;
            dy[j] = inside ? x[p.off_dout + row * p.n + i] : 0.0f;
            xhat[j] = 0.0f;
            if (inside) {
                float mean = p.rms == 0 ? x[p.off_mean + row] : 0.0f;
                xhat[j] = nc_mul(nc_sub(x[p.off_x + row * p.n + i], mean), x[p.off_rstd + row]);
            }
        }
        if (chained && r0 > 0) {
            uint count = min(32u, p.rows - (r0 - 32));
            for (j = 0; j < count; j++) {
                gamma = nc_fma(tile_dy[1 - turn][j][t], tile_xhat[1 - turn][j][t], gamma);
                beta = nc_add(beta, tile_dy[1 - turn][j][t]);
            }
        }
        NC_UNROLL for (j = 0; j < 4; j++) {
            tile_dy[turn][NC_THREAD.y + 8 * j][t] = dy[j];
            tile_xhat[turn][NC_THREAD.y + 8 * j][t] = xhat[j];
        }
        NC_BARRIER();
        turn = 1 - turn;
    }
    if (!chained) return;
    if (p.rms == 0) g[p.off_dbeta + i] = beta;
    g[p.off_dgamma + i] = gamma;
}
