// Gradients of both embeddings, no atomics. Workgroup g < rows: the g-th different token; its rows
// are order[start[g]] .. order[start[g + 1] - 1], ascending. Workgroup rows + t: position t, of seq,
// which is 0 where there are no positions. Each thread owns columns and adds rows in ascending order,
// loaded eight at a time.
#include "nc_kernel.h"

NC_PUSH { uint rows, d, seq, off_dout, off_token, off_order, off_start, off_dwte, off_dwpe; }
NC_P;

NC_KERNEL_3(embedding_backward, 64, 1, NC_IN(0, float, x), NC_IN(1, uint, tokens),
            NC_IO(2, float, g)) {
    uint group = NC_GROUP_X, i, j, k, to;
    if (group >= p.rows + p.seq) return;
    bool token = group < p.rows;
    uint first = token ? tokens[p.off_start + group] : group - p.rows;
    uint end = token ? tokens[p.off_start + group + 1] : p.rows, stride = token ? 1 : p.seq;
    if (first >= end) return;
    to = token ? p.off_dwte + tokens[p.off_token + tokens[p.off_order + first]] * p.d
               : p.off_dwpe + first * p.d;
    for (j = NC_THREAD.x; j < p.d; j += 64) {
        float sum = g[to + j];
        for (i = first; i < end; i += 8 * stride) {
            float dy[8];
            NC_UNROLL for (k = 0; k < 8; k++) {
                uint at = i + k * stride < end ? i + k * stride : first;
                uint row = token ? tokens[p.off_order + at] : at;
                dy[k] = x[p.off_dout + row * p.d + j];
            }
            NC_UNROLL for (k = 0; k < 8; k++) if (i + k * stride < end) sum = nc_add(sum, dy[k]);
        }
        g[to + j] = sum;
    }
}
