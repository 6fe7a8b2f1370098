// A row of n <= 4,096 to each group: out = (x - mean) rstd gamma + beta, mean and rstd kept.
#define NC_LANES
#include "nc_kernel.h"

NC_PUSH { uint rows, n, off_x, off_gamma, off_beta, off_out, off_mean, off_rstd; }
NC_P;

NC_KERNEL_3(layernorm, 32, 1, NC_IN(0, float, x), NC_IN(1, float, w), NC_IO(2, float, out_)) {
    uint row = NC_GROUP_X, j = NC_THREAD.x, i;
    if (row >= p.rows) return;
    float s = 0.0f;
    for (i = j; i < p.n; i += 32) s = nc_add(s, x[p.off_x + row * p.n + i]);
    float mean = nc_div(nc_tree(s), float(p.n));
    s = 0.0f;
    for (i = j; i < p.n; i += 32) {
        float d = nc_sub(x[p.off_x + row * p.n + i], mean);
        s = nc_fma(d, d, s);
    }
    float variance = nc_div(nc_tree(s), float(p.n));
    float rstd = nc_div(1.0f, nc_sqrt(nc_add(variance, 1e-5f)));
    for (i = j; i < p.n; i += 32) {
        float d = nc_sub(x[p.off_x + row * p.n + i], mean);
        out_[p.off_out + row * p.n + i] =
            nc_fma(nc_mul(d, rstd), w[p.off_gamma + i], w[p.off_beta + i]);
    }
    if (j == 0) {
        out_[p.off_mean + row] = mean;
        out_[p.off_rstd + row] = rstd;
    }
}
