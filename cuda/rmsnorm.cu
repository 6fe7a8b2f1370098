// Four rows of n to each group: out = x rstd gamma, rstd = 1 / sqrt(mean(x^2) + eps) kept.
#define NC_LANES
#include "nc_kernel.h"

NC_PUSH {
    uint rows, n, off_x, off_gamma, off_out, off_rstd;
    float eps;
}
NC_P;

NC_KERNEL_3(rmsnorm, 32, 4, NC_IN(0, float, x), NC_IN(1, float, w), NC_IO(2, float, out_)) {
    uint row = nc_row(), at = p.off_x + row * p.n, to = p.off_out + row * p.n, c;
    uint n = row < p.rows ? p.n : 0;
    float v[NC_VALUES], squares = 0.0f;
    NC_BLOCKS(b, n) NC_HELD_COLUMNS(k, i, b, n) v[k] = x[at + i];
    for (uint first = 0; first < nc_row_end(p.n); first += NC_CHUNK) {
        uint end = min(n, first + NC_CHUNK);
        float s = 0.0f;
        if (first == 0) NC_BLOCKS(b, n) NC_HELD_COLUMNS(k, i, b, n) s = nc_fma(v[k], v[k], s);
        for (c = max(first + NC_THREAD.x, NC_BEHIND); c < end; c += 32) {
            float u = x[at + c];
            s = nc_fma(u, u, s);
        }
        squares = nc_row_sum(squares, s, first, n, p.n);
    }
    float rstd = nc_div(1.0f, nc_sqrt(nc_add(nc_div(squares, float(p.n)), p.eps)));
    NC_BLOCKS(b, n) {
        float gamma[8];
        NC_HELD_COLUMNS(k, i, b, n) gamma[k - b] = w[p.off_gamma + i];
        NC_HELD_COLUMNS(k, i, b, n) out_[to + i] = nc_mul(nc_mul(v[k], rstd), gamma[k - b]);
    }
    for (c = NC_BEHIND; c < n; c += 32)
        out_[to + c] = nc_mul(nc_mul(x[at + c], rstd), w[p.off_gamma + c]);
    if (NC_THREAD.x == 0 && n > 0) out_[p.off_rstd + row] = rstd;
}
