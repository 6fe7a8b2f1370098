// A row of n to each group: out = x rstd gamma, rstd = 1 / sqrt(mean(x^2) + eps) kept.
#define NC_LANES
#include "nc_kernel.h"

NC_PUSH {
    uint rows, n, off_x, off_gamma, off_out, off_rstd;
    float eps;
}
NC_P;

NC_KERNEL_3(rmsnorm, 32, 1, NC_IN(0, float, x), NC_IN(1, float, w), NC_IO(2, float, out_)) {
    uint row = NC_GROUP_X, j = NC_THREAD.x, i;
    if (row >= p.rows) return;
    float squares = 0.0f;
    for (uint first = 0; first < nc_row_end(p.n); first += NC_CHUNK) {
        uint end = min(p.n, first + NC_CHUNK);
        float s = 0.0f;
        for (i = first + j; i < end; i += 32) {
            float v = x[p.off_x + row * p.n + i];
            s = nc_fma(v, v, s);
        }
        squares = nc_row_sum(squares, s, first, p.n);
    }
    float rstd = nc_div(1.0f, nc_sqrt(nc_add(nc_div(squares, float(p.n)), p.eps)));
    for (i = j; i < p.n; i += 32) {
        float xhat = nc_mul(x[p.off_x + row * p.n + i], rstd);
        out_[p.off_out + row * p.n + i] = nc_mul(xhat, w[p.off_gamma + i]);
    }
    if (j == 0) out_[p.off_rstd + row] = rstd;
}
