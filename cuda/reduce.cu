// Four chunks to each group: of each its sum, or its sum of squares, by the fixed reduction.
#define NC_LANES
#include "nc_kernel.h"

NC_PUSH { uint n, squares, off_x, off_out; }
NC_P;

NC_KERNEL_2(reduce, 32, 4, NC_IN(0, float, x), NC_IO(1, float, out_)) {
    uint chunk = nc_row(), first = chunk * NC_CHUNK, at = p.off_x + first + NC_THREAD.x, i, k;
    uint n = first < p.n ? min(p.n - first, NC_CHUNK) : 0;
    float s = 0.0f;
    for (i = NC_THREAD.x; i < n; i += 256, at += 256) {
        float v[8];
        NC_UNROLL for (k = 0; k < 8; k++) if (i + 32 * k < n) v[k] = x[at + 32 * k];
        NC_UNROLL for (k = 0; k < 8; k++) if (i + 32 * k < n) {
            s = p.squares != 0 ? nc_fma(v[k], v[k], s) : nc_add(s, v[k]);
        }
    }
    s = nc_tree(s);
    if (NC_THREAD.x == 0 && n > 0) out_[p.off_out + chunk] = s;
}
