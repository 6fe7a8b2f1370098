// A row to each group: dx += the gradient of RMSNorm; n <= 4,096.
#define NC_LANES
#include "nc_kernel.h"

NC_PUSH { uint rows, n, off_x, off_gamma, off_rstd, off_dout, off_dx; }
NC_P;

NC_KERNEL_2(rmsnorm_backward, 32, 1, NC_IO(0, float, x), NC_IN(1, float, w)) {
    uint row = NC_GROUP_X, j = NC_THREAD.x, i;
    if (row >= p.rows) return;
    float rstd = x[p.off_rstd + row], t = 0.0f;
    for (i = j; i < p.n; i += 32) {
        float dy = nc_mul(x[p.off_dout + row * p.n + i], w[p.off_gamma + i]);
        t = nc_fma(dy, nc_mul(x[p.off_x + row * p.n + i], rstd), t);
    }
    float mean_dyx = nc_div(nc_tree(t), float(p.n));
    for (i = j; i < p.n; i += 32) {
        float dy = nc_mul(x[p.off_dout + row * p.n + i], w[p.off_gamma + i]);
        float xhat = nc_mul(x[p.off_x + row * p.n + i], rstd);
        uint at = p.off_dx + row * p.n + i;
        x[at] = nc_fma(nc_fma(-xhat, mean_dyx, dy), rstd, x[at]);
    }
}
