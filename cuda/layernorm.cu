// A row of n to each group: out = (x - mean) rstd gamma + beta, mean and rstd kept.
#define NC_LANES
#include "nc_kernel.h"

NC_PUSH {
    uint rows, n, off_x, off_gamma, off_beta, off_out, off_mean, off_rstd;
    float eps;
}
NC_P;

NC_KERNEL_3(layernorm, 32, 1, NC_IN(0, float, x), NC_IN(1, float, w), NC_IO(2, float, out_)) {
    uint row = NC_GROUP_X, j = NC_THREAD.x, i;
    if (row >= p.rows) return;
    float sum = 0.0f, squares = 0.0f;
    for (uint first = 0; first < nc_row_end(p.n); first += NC_CHUNK) {
        uint end = min(p.n, first + NC_CHUNK);
        float s = 0.0f;
        for (i = first + j; i < end; i += 32) s = nc_add(s, x[p.off_x + row * p.n + i]);
        sum = nc_row_sum(sum, s, first, p.n);
    }
    float mean = nc_div(sum, float(p.n));
    for (uint first = 0; first < nc_row_end(p.n); first += NC_CHUNK) {
        uint end = min(p.n, first + NC_CHUNK);
        float s = 0.0f;
        for (i = first + j; i < end; i += 32) {
            float d = nc_sub(x[p.off_x + row * p.n + i], mean);
            s = nc_fma(d, d, s);
        }
        squares = nc_row_sum(squares, s, first, p.n);
    }
    float variance = nc_div(squares, float(p.n));
    float rstd = nc_div(1.0f, nc_sqrt(nc_add(variance, p.eps)));
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
