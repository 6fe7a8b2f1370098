// Four rows of n to each group, in place; causal: row r of a block of n rows keeps its
// first r + 1 entries, the rest become 0.
#define NC_LANES
#include "nc_kernel.h"

NC_PUSH { uint rows, n, causal, off_x; }
NC_P;

NC_KERNEL_1(softmax, 32, 4, NC_IO(0, float, x)) {
    uint row = nc_row(), at = p.off_x + row * p.n, n = row < p.rows ? p.n : 0, c;
    uint kept = p.causal != 0 ? min(n, row % p.n + 1) : n;
    float v[NC_VALUES], most, sum = 0.0f;
    NC_BLOCKS(b, kept) NC_HELD_COLUMNS(k, i, b, kept) v[k] = x[at + i];
    most = NC_THREAD.x == 0 && n > 0 ? x[at] : nc_float(0xFF800000u); // a first NaN stays
    NC_BLOCKS(b, kept) NC_HELD_COLUMNS(k, i, b, kept) most = v[k] > most ? v[k] : most;
    for (c = NC_BEHIND; c < kept; c += 32) most = x[at + c] > most ? x[at + c] : most;
    most = nc_tree_max(most);
    for (uint first = 0; first < nc_row_end(p.n); first += NC_CHUNK) {
        uint end = min(kept, first + NC_CHUNK);
        float s = 0.0f;
        if (first == 0) {
            NC_BLOCKS(b, kept) NC_HELD_COLUMNS(k, i, b, kept) {
                v[k] = nc_exp(nc_sub(v[k], most));
                s = nc_add(s, v[k]);
            }
        }
        for (c = max(first + NC_THREAD.x, NC_BEHIND); c < end; c += 32) {
            float e = nc_exp(nc_sub(x[at + c], most));
            x[at + c] = e;
            s = nc_add(s, e);
        }
        sum = nc_row_sum(sum, s, first, kept, p.n);
    }
    NC_BLOCKS(b, n) NC_HELD_COLUMNS(k, i, b, n) x[at + i] = i < kept ? nc_div(v[k], sum) : 0.0f;
    for (c = NC_BEHIND; c < n; c += 32) x[at + c] = c < kept ? nc_div(x[at + c], sum) : 0.0f;
}
