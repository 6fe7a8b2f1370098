// A row to each group: dx += the gradient of RMSNorm.
#define NC_LANES
#include "nc_kernel.h"

NC_PUSH { uint rows, n, off_x, off_gamma, off_rstd, off_dout, off_dx; }
NC_P;

NC_KERNEL_2(rmsnorm_backward, 32, 1, NC_IO(0, float, x), NC_IN(1, float, w)) {
    uint row = NC_GROUP_X, j = NC_THREAD.x, i;
    if (row >= p.rows) return;
    float rstd = x[p.off_rstd + row], product = 0.0f;
    for (uint first = 0; first < nc_row_end(p.n); first += NC_CHUNK) {
        uint end = min(p.n, first + NC_CHUNK);
        float t = 0.0f;
        for (i = first + j; i < end; i += 32) {
            float dy = nc_mul(x[p.off_dout + row * p.n + i], w[p.off_gamma + i]);
            t = nc_fma(dy, nc_mul(x[p.off_x + row * p.n + i], rstd), t);
        }
        product = nc_row_sum(product, t, first, p.n);
    }
    float mean_dyx = nc_div(product, float(p.n));
    for (i = j; i < p.n; i += 32) {
        float dy = nc_mul(x[p.off_dout + row * p.n + i], w[p.off_gamma + i]);
        float xhat = nc_mul(x[p.off_x + row * p.n + i], rstd);
        uint at = p.off_dx + row * p.n + i;
        x[at] = nc_fma(nc_fma(-xhat, mean_dyx, dy), rstd, x[at]);
    }
}
