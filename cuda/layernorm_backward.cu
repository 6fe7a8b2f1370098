// A row to each group: dx += the gradient of layernorm.
#define NC_LANES
#include "nc_kernel.h"

NC_PUSH { uint rows, n, off_x, off_gamma, off_mean, off_rstd, off_dout, off_dx; }
NC_P;

NC_KERNEL_2(layernorm_backward, 32, 1, NC_IO(0, float, x), NC_IN(1, float, w)) {
    uint row = NC_GROUP_X, j = NC_THREAD.x, i;
    if (row >= p.rows) return;
    float mean = x[p.off_mean + row], rstd = x[p.off_rstd + row], sum = 0.0f, product = 0.0f;
    for (uint first = 0; first < nc_row_end(p.n); first += NC_CHUNK) {
        uint end = min(p.n, first + NC_CHUNK);
        float s = 0.0f, t = 0.0f;
        for (i = first + j; i < end; i += 32) {
            float dy = nc_mul(x[p.off_dout + row * p.n + i], w[p.off_gamma + i]);
            float xhat = nc_mul(nc_sub(x[p.off_x + row * p.n + i], mean), rstd);
            s = nc_add(s, dy);
            t = nc_fma(dy, xhat, t);
        }
        sum = nc_row_sum(sum, s, first, p.n);
        product = nc_row_sum(product, t, first, p.n);
    }
    float mean_dy = nc_div(sum, float(p.n)), mean_dyx = nc_div(product, float(p.n));
    for (i = j; i < p.n; i += 32) {
        float dy = nc_mul(x[p.off_dout + row * p.n + i], w[p.off_gamma + i]);
        float xhat = nc_mul(nc_sub(x[p.off_x + row * p.n + i], mean), rstd);
        uint at = p.off_dx + row * p.n + i;
        x[at] = nc_fma(nc_fma(-xhat, mean_dyx, nc_sub(dy, mean_dy)), rstd, x[at]);
    }
}
