// The first groups add the gradients of layernorm's weights, 8 columns each, and read nothing that
// the others write: four rows to each, dx += the gradient of layernorm.
#define NC_LANES
#include "nc_kernel.h"

NC_PUSH {
    uint rows, n, off_x, off_gamma, off_mean, off_rstd, off_dout, off_dx, off_dgamma, off_dbeta;
}
NC_P;

NC_FN void sum_columns(NC_TAKE(nc_push, p) NC_TAKE(const float *, x) NC_TAKE(float *, w) uint g);

NC_KERNEL_2(layernorm_backward, 32, 4, NC_IO(0, float, x), NC_IO(1, float, w)) {
    uint columns = (p.n + 7) / 8;
    if (NC_GROUP_X < columns) {
        sum_columns(NC_GIVE(p) NC_GIVE(x) NC_GIVE(w) NC_GROUP_X);
        return;
    }
    uint row = nc_row() - 4 * columns, at = p.off_x + row * p.n, n = row < p.rows ? p.n : 0, c;
    uint dout = p.off_dout + row * p.n, to = p.off_dx + row * p.n;
    float mean = n > 0 ? x[p.off_mean + row] : 0.0f, rstd = n > 0 ? x[p.off_rstd + row] : 0.0f;
    float dy[NC_VALUES], xhat[NC_VALUES], sum = 0.0f, product = 0.0f;
    NC_BLOCKS(b, n) NC_HELD_COLUMNS(k, i, b, n) {
        dy[k] = nc_mul(x[dout + i], w[p.off_gamma + i]);
        xhat[k] = nc_mul(nc_sub(x[at + i], mean), rstd);
    }
    for (uint first = 0; first < nc_row_end(p.n); first += NC_CHUNK) {
        uint end = min(n, first + NC_CHUNK);
        float s = 0.0f, t = 0.0f;
        if (first == 0) {
            NC_BLOCKS(b, n) NC_HELD_COLUMNS(k, i, b, n) {
                s = nc_add(s, dy[k]);
                t = nc_fma(dy[k], xhat[k], t);
            }
        }
        for (c = max(first + NC_THREAD.x, NC_BEHIND); c < end; c += 32) {
            float d = nc_mul(x[dout + c], w[p.off_gamma + c]);
            s = nc_add(s, d);
            t = nc_fma(d, nc_mul(nc_sub(x[at + c], mean), rstd), t);
        }
        sum = nc_row_sum(sum, s, first, n, p.n);
        product = nc_row_sum(product, t, first, n, p.n);
    }
    float mean_dy = nc_div(sum, float(p.n)), mean_dyx = nc_div(product, float(p.n));
    NC_BLOCKS(b, n) {
        float dx[8];
        NC_HELD_COLUMNS(k, i, b, n) dx[k - b] = x[to + i];
        NC_HELD_COLUMNS(k, i, b, n) {
            x[to + i] = nc_fma(nc_fma(-xhat[k], mean_dyx, nc_sub(dy[k], mean_dy)), rstd, dx[k - b]);
        }
    }
    for (c = NC_BEHIND; c < n; c += 32) {
        float d = nc_mul(x[dout + c], w[p.off_gamma + c]);
        float h = nc_mul(nc_sub(x[at + c], mean), rstd);
        x[to + c] = nc_fma(nc_fma(-h, mean_dyx, nc_sub(d, mean_dy)), rstd, x[to + c]);
    }
}

#define NC_BETA
#define nc_xhat(value, row) nc_mul(nc_sub(value, x[p.off_mean + row]), x[p.off_rstd + row])
#include "norm_columns.h"
