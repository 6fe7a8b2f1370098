// A row of n to each group, in place; causal: row r of a block of n rows keeps its
// first r + 1 entries, the rest become 0.
#define NC_LANES
#include "nc_kernel.h"

NC_PUSH { uint rows, n, causal, off_x; }
NC_P;

NC_KERNEL_1(softmax, 32, 1, NC_IO(0, float, x)) {
    uint row = NC_GROUP_X, j = NC_THREAD.x, i;
    if (row >= p.rows) return;
    uint at = p.off_x + row * p.n, kept = p.causal != 0 ? row % p.n + 1 : p.n;
    float most = x[at], sum = 0.0f;
    for (i = j; i < kept; i += 32) most = x[at + i] > most ? x[at + i] : most;
    most = nc_tree_max(most);
    for (uint first = 0; first < nc_row_end(kept); first += NC_CHUNK) {
        uint end = min(kept, first + NC_CHUNK);
        float s = 0.0f;
        for (i = first + j; i < end; i += 32) {
            float e = nc_exp(nc_sub(x[at + i], most));
            x[at + i] = e;
            s = nc_add(s, e);
        }
        sum = nc_row_sum(sum, s, first, kept);
    }
    for (i = j; i < p.n; i += 32) x[at + i] = i < kept ? nc_div(x[at + i], sum) : 0.0f;
}
