// The first groups add the gradients of RMSNorm's weights, 8 columns each, and read nothing that
// the others write: four rows to each, dx += the gradient of RMSNorm.
#define NC_LANES
#include "nc_kernel.h"

NC_PUSH { uint rows, n, off_x, off_gamma, off_rstd, off_dout, off_dx, off_dgamma; }
NC_P;

NC_FN void sum_columns(NC_TAKE(nc_push, p) NC_TAKE(const float *, x) NC_TAKE(float *, w) uint g);

NC_KERNEL_2(rmsnorm_backward, 32, 4, NC_IO(0, float, x), NC_IO(1, float, w)) {
    uint columns = (p.n + 7) / 8;
    if (NC_GROUP_X < columns) {
        sum_columns(NC_GIVE(p) NC_GIVE(x) NC_GIVE(w) NC_GROUP_X);
        return;
    }
    uint row = nc_row() - 4 * columns, at = p.off_x + row * p.n, n = row < p.rows ? p.n : 0, c;
    uint dout = p.off_dout + row * p.n, to = p.off_dx + row * p.n;
    float rstd = n > 0 ? x[p.off_rstd + row] : 0.0f;
    float dy[NC_VALUES], xhat[NC_VALUES], product = 0.0f;
    NC_BLOCKS(b, n) NC_HELD_COLUMNS(k, i, b, n) {
        dy[k] = nc_mul(x[dout + i], w[p.off_gamma + i]);
        xhat[k] = nc_mul(x[at + i], rstd);
    }
    for (uint first = 0; first < nc_row_end(p.n); first += NC_CHUNK) {
        uint end = min(n, first + NC_CHUNK);
        float t = 0.0f;
        if (first == 0) NC_BLOCKS(b, n) NC_HELD_COLUMNS(k, i, b, n) t = nc_fma(dy[k], xhat[k], t);
        for (c = max(first + NC_THREAD.x, NC_BEHIND); c < end; c += 32) {
            float d = nc_mul(x[dout + c], w[p.off_gamma + c]);
            t = nc_fma(d, nc_mul(x[at + c], rstd), t);
        }
        product = nc_row_sum(product, t, first, n, p.n);
    }
    float mean_dyx = nc_div(product, float(p.n));
    NC_BLOCKS(b, n) {
        float dx[8];
        NC_HELD_COLUMNS(k, i, b, n) dx[k - b] = x[to + i];
        NC_HELD_COLUMNS(k, i, b, n) {
            x[to + i] = nc_fma(nc_fma(-xhat[k], mean_dyx, dy[k]), rstd, dx[k - b]);
        }
    }
    for (c = NC_BEHIND; c < n; c += 32) {
        float d = nc_mul(x[dout + c], w[p.off_gamma + c]), h = nc_mul(x[at + c], rstd);
        x[to + c] = nc_fma(nc_fma(-h, mean_dyx, d), rstd, x[to + c]);
    }
}

#define nc_xhat(value, row) nc_mul(value, x[p.off_rstd + row])
#include "norm_columns.h"
