// nc_hlx_attention, causal, in windows of up to 128 positions: the products of queries and keys,
// softmax as its kernel does it, and the weights times the values, each in the order of the
// dispatches that longer windows take. Group x has 32 queries, y the head of all windows; heads /
// kv_heads successive heads share a K and a V.
#define NC_LANES
#include "nc_kernel.h"

NC_PUSH {
    uint seq, heads, kv_heads, head_size, off_qkv, off_out, off_kept;
    float scale;
}
NC_P;
#include "attention_tile.h"

// Scores of a row to weights, of which the first `kept` are not 0.
NC_FN void soften(uint kept, NC_INOUT float v[4]) {
    uint x = NC_THREAD.x, j;
    float most = x == 0 ? v[0] : nc_float(0xFF800000u), sum = 0.0f; // a first NaN stays
    NC_UNROLL for (j = 0; j < 4; j++) most = x + 32 * j < kept && v[j] > most ? v[j] : most;
    most = nc_tree_max(most);
    NC_UNROLL for (j = 0; j < 4; j++) if (x + 32 * j < kept) {
        v[j] = nc_exp(nc_sub(v[j], most));
        sum = nc_add(sum, v[j]);
    }
    sum = nc_tree(sum);
    NC_UNROLL for (j = 0; j < 4; j++) v[j] = x + 32 * j < kept ? nc_div(v[j], sum) : 0.0f;
}

// To x[to] on, the products of the weights v and n columns of the keys' values from x[b] on, over
// ascending keys.
NC_FN void mix(NC_TAKE(float *, x) uint b, uint ldb, uint keys, uint n, uint to, uint ld, uint rows,
               float v[8][4]);

NC_KERNEL_1(attention, 32, 4, NC_IO(0, float, x)) {
    uint head = NC_GROUP.y, window = head / p.heads, h = head % p.heads, n = p.head_size, i, j;
    uint d = p.heads * n, shared_ = p.kv_heads * n, ld = d + 2 * shared_;
    uint first = NC_GROUP.x * ROWS, rows = p.seq - first, row = NC_THREAD.y * 8;
    uint qkv = p.off_qkv + window * p.seq * ld, kv = qkv + d + h / (p.heads / p.kv_heads) * n;
    uint kept = p.off_kept + (head * p.seq + first + row) * p.seq + NC_THREAD.x;
    float v[8][4];
    products(NC_GIVE(x) qkv + first * ld + h * n, ld, rows, kv, ld, min(p.seq, first + ROWS), n, v);
    NC_UNROLL for (i = 0; i < 8; i++) {
        NC_UNROLL for (j = 0; j < 4; j++) v[i][j] = nc_mul(v[i][j], p.scale);
        soften(row + i < rows ? first + row + i + 1 : 0, v[i]);
        NC_UNROLL for (j = 0; j < 4; j++) {
            if (row + i < rows && NC_THREAD.x + 32 * j < p.seq)
                x[kept + i * p.seq + 32 * j] = v[i][j];
        }
    }
    mix(NC_GIVE(x) kv + shared_, ld, p.seq, n, p.off_out + (window * p.seq + first) * d + h * n, d,
        rows, v);
}
#include "attention_products.h"

// 64 columns and 64 keys at a time, whose weights and, 16 by 16, values stand in shared memory:
// thread t has the rows t / 16 * 4 + i and the columns t % 16 + 16 j, which are neighbours there.
// Weights behind the last key are +0, its values -0.
NC_FN void mix(NC_TAKE(float *, x) uint b, uint ldb, uint keys, uint n, uint to, uint ld, uint rows,
               float v[8][4]) {
    const uint HALF = 64, PITCH = HALF + 4, VALUES = ROWS * PITCH; // [ROWS][PITCH], [DEPTH][64]
    uint t = NC_THREAD.y * 32 + NC_THREAD.x, column = t % 64, row = t / 16 * 4, i, j, k, s, r;
    uint place = VALUES + t / 64 * 64 + column % 16 * 4 + column / 16;
    for (uint c = 0; c < n; c += 64) {
        float next[8], sum[4][4];
        NC_UNROLL for (i = 0; i < 4; i++) NC_UNROLL for (j = 0; j < 4; j++) sum[i][j] = 0.0f;
        NC_UNROLL for (uint h = 0; h < 2; h++) if (h * HALF < keys) {
            uint at = NC_THREAD.y * 8 * PITCH + NC_THREAD.x, half_ = min(HALF, keys - h * HALF);
            NC_UNROLL for (i = 0; i < 8; i++) NC_UNROLL for (j = 0; j < 2; j++) {
                nc_put(tile, at + i * PITCH + 32 * j, v[i][2 * h + j]);
            }
            for (k = 0;; k += DEPTH) {
                NC_UNROLL for (i = 0; i < 8; i++) {
                    uint key = k + t / 64 + 2 * i;
                    next[i] = -0.0f;
                    if (c + column < n && key < half_)
                        next[i] = x[b + (h * HALF + key) * ldb + c + column];
                }
                if (k > 0) {
                    NC_UNROLL for (s = 0; s < DEPTH; s += 4) {
                        float4 w[4];
                        NC_UNROLL for (i = 0; i < 4; i++) w[i] =
                            tile[((row + i) * PITCH + k - DEPTH + s) / 4];
                        NC_UNROLL for (r = 0; r < 4; r++) {
                            float4 y = tile[VALUES / 4 + (s + r) * 16 + t % 16];
                            NC_UNROLL for (i = 0; i < 4; i++) NC_UNROLL for (j = 0; j < 4; j++) {
                                sum[i][j] = nc_fma(nc_part(w[i], r), nc_part(y, j), sum[i][j]);
                            }
                        }
                    }
                    NC_BARRIER();
                }
                if (k >= half_) break;
                NC_UNROLL for (i = 0; i < 8; i++) nc_put(tile, place + 128 * i, next[i]);
                NC_BARRIER();
            }
        }
        NC_UNROLL for (i = 0; i < 4; i++) NC_UNROLL for (j = 0; j < 4; j++) {
            uint to_column = c + t % 16 + 16 * j;
            if (row + i < rows && to_column < n) x[to + (row + i) * ld + to_column] = sum[i][j];
        }
    }
}
