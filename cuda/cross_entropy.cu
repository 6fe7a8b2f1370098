// A row of logits to each group: its loss, and the gradient of the mean loss in place; targets
// >= n are ignored. count: rows with a target.
#define NC_LANES
#include "nc_kernel.h"

NC_PUSH { uint rows, n, off_x, off_loss, off_target, off_count; }
NC_P;

NC_KERNEL_3(cross_entropy, 32, 1, NC_IO(0, float, x), NC_IN(1, uint, targets),
            NC_IN(2, float, control)) {
    uint row = NC_GROUP_X, j = NC_THREAD.x, i, at = p.off_x + row * p.n;
    if (row >= p.rows) return;
    uint target = targets[p.off_target + row];
    bool used = target < p.n;
    float most = x[at], sum = 0.0f, count = control[p.off_count];
    for (i = j; i < p.n; i += 32) most = x[at + i] > most ? x[at + i] : most;
    most = nc_tree_max(most);
    float picked = used ? nc_sub(x[at + target], most) : 0.0f;
    NC_BARRIER(); // everyone has read its target before the row changes
    for (uint first = 0; first < nc_row_end(p.n); first += NC_CHUNK) {
        uint end = min(p.n, first + NC_CHUNK);
        float s = 0.0f;
        for (i = first + j; i < end; i += 32) {
            float e = nc_exp(nc_sub(x[at + i], most));
            x[at + i] = e;
            s = nc_add(s, e);
        }
        sum = nc_row_sum(sum, s, first, p.n);
    }
    for (i = j; i < p.n; i += 32) {
        float probability = nc_div(x[at + i], sum);
        float d = nc_div(i == target ? nc_sub(probability, 1.0f) : probability, count);
        x[at + i] = used ? d : 0.0f;
    }
    if (j == 0) x[p.off_loss + row] = used ? nc_sub(nc_log(sum), picked) : 0.0f;
}
