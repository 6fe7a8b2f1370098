// Four rows of logits to each group: their losses, and the gradient of the mean loss in place;
// targets >= n are ignored. count: rows with a target.
#define NC_LANES
#include "nc_kernel.h"

NC_PUSH { uint rows, n, off_x, off_loss, off_target, off_count; }
NC_P;

NC_KERNEL_3(cross_entropy, 32, 4, NC_IO(0, float, x), NC_IN(1, uint, targets),
            NC_IN(2, float, control)) {
    uint row = nc_row(), at = p.off_x + row * p.n, n = row < p.rows ? p.n : 0, c;
    uint target = n > 0 ? targets[p.off_target + row] : 0;
    bool used = target < n, mine = NC_THREAD.x == (used ? target % 32 : 0);
    float v[NC_VALUES], most, sum = 0.0f, count = control[p.off_count];
    float logit = mine && used ? x[at + target] : 0.0f; // by the lane that will change it
    NC_BLOCKS(b, n) NC_HELD_COLUMNS(k, i, b, n) v[k] = x[at + i];
    most = NC_THREAD.x == 0 && n > 0 ? x[at] : nc_float(0xFF800000u); // a first NaN stays
    NC_BLOCKS(b, n) NC_HELD_COLUMNS(k, i, b, n) most = v[k] > most ? v[k] : most;
    for (c = NC_BEHIND; c < n; c += 32) most = x[at + c] > most ? x[at + c] : most;
    most = nc_tree_max(most);
    for (uint first = 0; first < nc_row_end(p.n); first += NC_CHUNK) {
        uint end = min(n, first + NC_CHUNK);
        float s = 0.0f;
        if (first == 0) {
            NC_BLOCKS(b, n) NC_HELD_COLUMNS(k, i, b, n) {
                v[k] = nc_exp(nc_sub(v[k], most));
                s = nc_add(s, v[k]);
            }
        }
        for (c = max(first + NC_THREAD.x, NC_BEHIND); c < end; c += 32) {
            float e = nc_exp(nc_sub(x[at + c], most));
            x[at + c] = e;
            s = nc_add(s, e);
        }
        sum = nc_row_sum(sum, s, first, n, p.n);
    }
    NC_BLOCKS(b, n) NC_HELD_COLUMNS(k, i, b, n) {
        float probability = nc_div(v[k], sum);
        float d = nc_div(i == target ? nc_sub(probability, 1.0f) : probability, count);
        x[at + i] = used ? d : 0.0f;
    }
    for (c = NC_BEHIND; c < n; c += 32) {
        float probability = nc_div(x[at + c], sum);
        float d = nc_div(c == target ? nc_sub(probability, 1.0f) : probability, count);
        x[at + c] = used ? d : 0.0f;
    }
    if (mine && n > 0) x[p.off_loss + row] = used ? nc_sub(nc_log(sum), nc_sub(logit, most)) : 0.0f;
}
