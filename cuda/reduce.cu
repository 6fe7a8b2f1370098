// One chunk to each group: its sum, or its sum of squares, by the fixed reduction.
#define NC_LANES
#include "nc_kernel.h"

NC_PUSH { uint n, squares, off_x, off_out; }
NC_P;

NC_KERNEL_2(reduce, 32, 1, NC_IN(0, float, x), NC_IO(1, float, out_)) {
    uint chunk = NC_GROUP_X, j = NC_THREAD.x, i, first = chunk * NC_CHUNK;
    uint end = min(p.n, first + NC_CHUNK);
    if (first >= p.n) return;
    float s = 0.0f;
    for (i = first + j; i < end; i += 32) {
        float v = x[p.off_x + i];
        s = p.squares != 0 ? nc_fma(v, v, s) : nc_add(s, v);
    }
    s = nc_tree(s);
    if (j == 0) out_[p.off_out + chunk] = s;
}
