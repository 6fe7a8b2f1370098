// A row to each group, in place of dy: y (dy - dot(dy, y)), times the scale of attention;
// causal as in softmax.
#define NC_LANES
#include "nc_kernel.h"

NC_PUSH {
    uint rows, n, causal, off_y, off_dy;
    float scale;
}
NC_P;

NC_KERNEL_1(softmax_backward, 32, 1, NC_IO(0, float, x)) {
    uint row = NC_GROUP_X, j = NC_THREAD.x, i;
    if (row >= p.rows) return;
    uint y = p.off_y + row * p.n, dy = p.off_dy + row * p.n;
    uint kept = p.causal != 0 ? row % p.n + 1 : p.n;
    float dot_ = 0.0f;
    for (uint first = 0; first < nc_row_end(kept); first += NC_CHUNK) {
        uint end = min(kept, first + NC_CHUNK);
        float s = 0.0f;
        for (i = first + j; i < end; i += 32) s = nc_fma(x[dy + i], x[y + i], s);
        dot_ = nc_row_sum(dot_, s, first, kept);
    }
    for (i = j; i < p.n; i += 32) {
        float d = i < kept ? nc_mul(x[y + i], nc_sub(x[dy + i], dot_)) : 0.0f;
        x[dy + i] = nc_mul(d, p.scale);
    }
}
