// Four rows to each group, in place of dy: y (dy - dot(dy, y)), times the scale of attention;
// causal as in softmax.
#define NC_LANES
#include "nc_kernel.h"

NC_PUSH {
    uint rows, n, causal, off_y, off_dy;
    float scale;
}
NC_P;

NC_KERNEL_1(softmax_backward, 32, 4, NC_IO(0, float, x)) {
    uint row = nc_row(), n = row < p.rows ? p.n : 0, c;
    uint y = p.off_y + row * p.n, dy = p.off_dy + row * p.n;
    uint kept = p.causal != 0 ? min(n, row % p.n + 1) : n;
    float v[NC_VALUES], d[NC_VALUES], dot_ = 0.0f;
    NC_BLOCKS(b, kept) NC_HELD_COLUMNS(k, i, b, kept) {
        v[k] = x[y + i];
        d[k] = x[dy + i];
    }
    for (uint first = 0; first < nc_row_end(p.n); first += NC_CHUNK) {
        uint end = min(kept, first + NC_CHUNK);
        float s = 0.0f;
        if (first == 0) NC_BLOCKS(b, kept) NC_HELD_COLUMNS(k, i, b, kept) s = nc_fma(d[k], v[k], s);
        for (c = max(first + NC_THREAD.x, NC_BEHIND); c < end; c += 32)
            s = nc_fma(x[dy + c], x[y + c], s);
        dot_ = nc_row_sum(dot_, s, first, kept, p.n);
    }
    NC_BLOCKS(b, n) NC_HELD_COLUMNS(k, i, b, n) {
        float dx = i < kept ? nc_mul(v[k], nc_sub(d[k], dot_)) : 0.0f;
        x[dy + i] = nc_mul(dx, p.scale);
    }
    for (c = NC_BEHIND; c < n; c += 32) {
        float dx = c < kept ? nc_mul(x[y + c], nc_sub(x[dy + c], dot_)) : 0.0f;
        x[dy + c] = nc_mul(dx, p.scale);
    }
}
