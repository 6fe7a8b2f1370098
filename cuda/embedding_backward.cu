// Gradients of both embeddings, no atomics; y: 128 columns to a group. Group g < rows: the g-th
// different token; its rows are order[start[g]] .. order[start[g + 1] - 1], ascending. Group
// rows + t: position t, of seq, which is 0 where there are no positions. Each thread owns a column
// and adds rows in ascending order, of which sixteen are on their way at a time.
#include "nc_kernel.h"

NC_PUSH { uint rows, d, seq, off_dout, off_token, off_order, off_start, off_dwte, off_dwpe; }
NC_P;

NC_SHARED uint places[128]; // of the next rows in x

NC_KERNEL_3(embedding_backward, 128, 1, NC_IN(0, float, x), NC_IN(1, uint, tokens),
            NC_IO(2, float, g)) {
    uint group = NC_GROUP_X, t = NC_THREAD.x, column = NC_GROUP.y * 128 + t, i, k;
    if (group >= p.rows + p.seq) return;
    bool token = group < p.rows, inside = column < p.d;
    uint first = token ? tokens[p.off_start + group] : group - p.rows;
    uint end = token ? tokens[p.off_start + group + 1] : p.rows, stride = token ? 1 : p.seq;
    if (first >= end) return;
    uint to = token ? p.off_dwte + tokens[p.off_token + tokens[p.off_order + first]] * p.d + column
                    : p.off_dwpe + first * p.d + column;
    float sum = inside ? g[to] : 0.0f;
    for (; first < end; first += 128 * stride) {
        uint count = min(128u, (end - first + stride - 1) / stride), row = first + t * stride;
        NC_BARRIER(); // the places before have been read
        if (t < count) places[t] = p.off_dout + (token ? tokens[p.off_order + row] : row) * p.d;
        NC_BARRIER();
        for (i = 0; i < count; i += 16) {
            float dy[16];
            NC_UNROLL for (k = 0; k < 16; k++) {
                dy[k] = -0.0f; // which changes no sum
                if (inside && i + k < count) dy[k] = x[places[i + k] + column];
            }
            NC_UNROLL for (k = 0; k < 16; k++) sum = nc_add(sum, dy[k]);
        }
    }
    if (inside) g[to] = sum;
}
