// Four rows of n to each group: out = (x - mean) rstd gamma + beta, mean and rstd kept.
#define NC_LANES
#include "nc_kernel.h"

NC_PUSH {
    uint rows, n, off_x, off_gamma, off_beta, off_out, off_mean, off_rstd;
    float eps;
}
NC_P;

NC_KERNEL_3(layernorm, 32, 4, NC_IN(0, float, x), NC_IN(1, float, w), NC_IO(2, float, out_)) {
    uint row = nc_row(), at = p.off_x + row * p.n, to = p.off_out + row * p.n, c;
    uint n = row < p.rows ? p.n : 0;
    float v[NC_VALUES], sum = 0.0f, squares = 0.0f;
    NC_BLOCKS(b, n) NC_HELD_COLUMNS(k, i, b, n) v[k] = x[at + i];
    for (uint first = 0; first < nc_row_end(p.n); first += NC_CHUNK) {
        uint end = min(n, first + NC_CHUNK);
        float s = 0.0f;
        if (first == 0) NC_BLOCKS(b, n) NC_HELD_COLUMNS(k, i, b, n) s = nc_add(s, v[k]);
        for (c = max(first + NC_THREAD.x, NC_BEHIND); c < end; c += 32) s = nc_add(s, x[at + c]);
        sum = nc_row_sum(sum, s, first, n, p.n);
    }
    float mean = nc_div(sum, float(p.n));
    for (uint first = 0; first < nc_row_end(p.n); first += NC_CHUNK) {
        uint end = min(n, first + NC_CHUNK);
        float s = 0.0f;
        if (first == 0) {
            NC_BLOCKS(b, n) NC_HELD_COLUMNS(k, i, b, n) {
                v[k] = nc_sub(v[k], mean);
                s = nc_fma(v[k], v[k], s);
            }
        }
        for (c = max(first + NC_THREAD.x, NC_BEHIND); c < end; c += 32) {
            float d = nc_sub(x[at + c], mean);
            s = nc_fma(d, d, s);
        }
        squares = nc_row_sum(squares, s, first, n, p.n);
    }
    float variance = nc_div(squares, float(p.n));
    float rstd = nc_div(1.0f, nc_sqrt(nc_add(variance, p.eps)));
    NC_BLOCKS(b, n) {
        float gamma[8], beta[8];
        NC_HELD_COLUMNS(k, i, b, n) {
            gamma[k - b] = w[p.off_gamma + i];
            beta[k - b] = w[p.off_beta + i];
        }
        NC_HELD_COLUMNS(k, i, b, n) {
            out_[to + i] = nc_fma(nc_mul(v[k], rstd), gamma[k - b], beta[k - b]);
        }
    }
    for (c = NC_BEHIND; c < n; c += 32) {
        float d = nc_sub(x[at + c], mean);
        out_[to + c] = nc_fma(nc_mul(d, rstd), w[p.off_gamma + c], w[p.off_beta + c]);
    }
    if (NC_THREAD.x == 0 && n > 0) {
        out_[p.off_mean + row] = mean;
        out_[p.off_rstd + row] = rstd;
    }
}
