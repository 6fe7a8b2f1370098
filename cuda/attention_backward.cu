// The gradient of the scores of nc_hlx_attention, causal, in windows of up to 128 positions: the
// products of the output's gradient and the values, then softmax's backward pass as its kernel does
// it, times the scale. Group x has 32 queries, y the head of all windows; heads / kv_heads
// successive heads share a V.
#define NC_LANES
#include "nc_kernel.h"

NC_PUSH {
    uint seq, heads, kv_heads, head_size, off_qkv, off_dout, off_kept;
    float scale;
    uint off_dkept;
}
NC_P;
#include "attention_tile.h"

NC_KERNEL_1(attention_backward, 32, 4, NC_IO(0, float, x)) {
    uint head = NC_GROUP.y, window = head / p.heads, h = head % p.heads, n = p.head_size, i, j;
    uint d = p.heads * n, shared_ = p.kv_heads * n, ld = d + 2 * shared_;
    uint first = NC_GROUP.x * ROWS, rows = p.seq - first, row = NC_THREAD.y * 8;
    uint dout = p.off_dout + (window * p.seq + first) * d + h * n;
    uint values = p.off_qkv + window * p.seq * ld + d + shared_ + h / (p.heads / p.kv_heads) * n;
    uint at = (head * p.seq + first + row) * p.seq + NC_THREAD.x;
    float y[8][4], dy[8][4];
    products(NC_GIVE(x) dout, d, rows, values, ld, min(p.seq, first + ROWS), n, dy);
    NC_UNROLL for (i = 0; i < 8; i++) NC_UNROLL for (j = 0; j < 4; j++) {
        bool inside = row + i < rows && NC_THREAD.x + 32 * j < p.seq; // zeros are read, too
        y[i][j] = 0.0f;
        if (inside && 32 * j <= first + row + i) y[i][j] = x[p.off_kept + at + i * p.seq + 32 * j];
    }
    NC_UNROLL for (i = 0; i < 8; i++) {
        float dot_ = 0.0f;
        NC_UNROLL for (j = 0; j < 4; j++) if (NC_THREAD.x + 32 * j <= first + row + i) {
            dot_ = nc_fma(dy[i][j], y[i][j], dot_);
        }
        dot_ = nc_tree(dot_);
        NC_UNROLL for (j = 0; j < 4; j++) {
            bool kept = NC_THREAD.x + 32 * j <= first + row + i;
            float dx = kept ? nc_mul(y[i][j], nc_sub(dy[i][j], dot_)) : 0.0f;
            if (row + i < rows && NC_THREAD.x + 32 * j < p.seq)
                x[p.off_dkept + at + i * p.seq + 32 * j] = nc_mul(dx, p.scale);
        }
    }
}
#include "attention_products.h"
