// nc_hlx_flash_attention_backward in two dispatches: with keys 0 a group owns 64 queries, y the head of
// all windows, leaves dot(dO, O) of each in off_delta and forms dQ over ascending keys; then with keys 1
// it owns 64 keys, y the head with keys of all windows, and forms dK and dV over ascending heads that
// share them and ascending queries. P and dS of a step are formed once, in registers, and stand in
// shared memory for the products with them.
#include "nc_kernel.h"

NC_PUSH {
    uint seq, causal, heads, kv_heads, head_size, off_qkv, off_out, off_lse;
    float scale;
    uint off_dout, off_dqkv, off_delta, keys;
}
NC_P;
#include "flash_tile.h"

NC_SHARED float lse[64];
NC_SHARED float delta[64]; // dot(dO, O); both of the queries, which are the rows or the others

// delta of the group's queries, at x[dout] and x[out_] on, and to x[to]: of 32 chains, which are columns
// 32 apart, in pairs 16, 8, 4, 2, 1 apart.
NC_FN void dots(NC_TAKE(float *, x) uint dout, uint out_, uint d, uint n, uint rows, uint to);

// sum += the product of weight and the others over all columns. Of heads wider than 64 it is a piece,
// which comes from its place x[to], unless nothing has begun, and goes back.
NC_FN void gather(NC_TAKE(float *, x) uint b, uint ldb, uint others, uint n, bool sees, uint to,
                  uint ld, uint rows, bool begun, NC_INOUT float sum[4][8]);

// What gather has left in registers to its place.
NC_FN void leave(NC_TAKE(float *, x) uint to, uint ld, uint rows, uint n, float sum[4][8]);

// Products of rows and others to weight.
NC_FN void to_weight(float value[4][4], uint others) {
    uint t = NC_THREAD.x, i, j;
    NC_UNROLL for (j = 0; j < 4; j++) {
        uint other = t % 8 + 8 * j, at = other * PITCH + t / 8 * 4;
        NC_UNROLL for (i = 0; i < 4; i++) weight[at + i] = other < others ? value[i][j] : -0.0f;
    }
}

// P and dS, in the place of scores and dP, of rows from `first` on and others from o0 on.
NC_FN void slopes(NC_TAKE(nc_push, p) uint first, uint o0, NC_INOUT float score[4][4],
                  NC_INOUT float dp[4][4]) {
    uint row = NC_THREAD.x / 8 * 4, i, j;
    NC_UNROLL for (i = 0; i < 4; i++) NC_UNROLL for (j = 0; j < 4; j++) {
        uint other = NC_THREAD.x % 8 + 8 * j, query = p.keys == 0 ? row + i : other;
        bool before = p.keys == 0 ? o0 + other <= first + row + i : first + row + i <= o0 + other;
        bool visible = p.causal == 0 || before;
        float e = nc_exp(nc_sub(nc_mul(score[i][j], p.scale), lse[query]));
        float g = nc_mul(nc_mul(e, nc_sub(dp[i][j], delta[query])), p.scale);
        score[i][j] = visible ? e : 0.0f;
        dp[i][j] = visible ? g : 0.0f;
    }
}

NC_KERNEL_1(flash_attention_backward, 128, 1, NC_IO(0, float, x)) {
    uint t = NC_THREAD.x, first = NC_GROUP.x * ROWS, rows = p.seq - first, n = p.head_size, i, j;
    uint d = p.heads * n, shared_ = p.kv_heads * n, ld = d + 2 * shared_;
    uint sharing = p.heads / p.kv_heads, own = p.keys == 0 ? p.heads : p.kv_heads;
    uint window = NC_GROUP.y / own, h = NC_GROUP.y % own, row0 = window * p.seq;
    uint head = p.keys == 0 ? h : h * sharing, last = p.keys == 0 ? h : head + sharing - 1;
    uint kv = p.off_qkv + row0 * ld + d + head / sharing * n;
    uint to = p.off_dqkv + (row0 + first) * ld + h * n + (p.keys == 0 ? 0 : d);
    uint start = p.keys != 0 && p.causal != 0 ? first : 0, half0 = first + t / 64 * 32;
    uint end = p.keys == 0 && p.causal != 0 ? min(first + ROWS, p.seq) : p.seq;
    bool begun = false;
    float score[4][4], dp[4][4], sum[4][8], dv[4][8];
    NC_UNROLL for (i = 0; i < 4; i++) NC_UNROLL for (j = 0; j < 8; j++) {
        sum[i][j] = dv[i][j] = 0.0f;
    }
    if (p.keys == 0) {
        uint at = (row0 + first) * d + h * n, query = NC_GROUP.y * p.seq + first;
        dots(NC_GIVE(x) p.off_dout + at, p.off_out + at, d, n, rows, p.off_delta + query);
        if (t < min(rows, ROWS)) lse[t] = x[p.off_lse + query + t];
    }
    for (; head <= last; head++)
        for (uint o0 = start; o0 < end; o0 += OTHERS) {
            uint others = min(OTHERS, p.seq - o0), q0 = row0 + (p.keys == 0 ? first : o0);
            uint q = p.off_qkv + q0 * ld + head * n, dout = p.off_dout + q0 * d + head * n;
            uint k = kv + (p.keys == 0 ? o0 : first) * ld, v = k + shared_;
            bool sees = p.causal == 0 || (p.keys == 0 ? o0 <= half0 : o0 >= half0);
            if (p.keys != 0 && t < others) {
                uint query = (window * p.heads + head) * p.seq + o0 + t;
                lse[t] = x[p.off_lse + query];
                delta[t] = x[p.off_delta + query];
            }
            product(NC_GIVE(x) p.keys == 0 ? q : k, ld, rows, p.keys == 0 ? k : q, ld, others, n,
                    sees, score);
            product(NC_GIVE(x) p.keys == 0 ? dout : v, p.keys == 0 ? d : ld, rows,
                    p.keys == 0 ? v : dout, p.keys == 0 ? ld : d, others, n, sees, dp);
            slopes(NC_GIVE(p) first, o0, score, dp);
            if (p.keys != 0) {
                to_weight(score, others);
                gather(NC_GIVE(x) dout, d, others, n, sees, to + shared_, ld, rows, begun, dv);
            }
            to_weight(dp, others);
            gather(NC_GIVE(x) p.keys == 0 ? k : q, ld, others, n, sees, to, ld, rows, begun, sum);
            begun = begun || sees;
        }
    if (n > 64) return;
    leave(NC_GIVE(x) to, ld, rows, n, sum);
    if (p.keys != 0) leave(NC_GIVE(x) to + shared_, ld, rows, n, dv);
}
#include "flash_products.h"

NC_FN void dots(NC_TAKE(float *, x) uint dout, uint out_, uint d, uint n, uint rows, uint to) {
    uint t = NC_THREAD.x, lane = t % 32, row, c, k;
    for (row = t / 32; row < ROWS; row += 4) {
        float s = 0.0f;
        for (c = lane; c < n && row < rows; c += 32)
            s = nc_fma(x[dout + row * d + c], x[out_ + row * d + c], s);
        weight[lane * PITCH + row] = s;
    }
    NC_BARRIER();
    if (t < ROWS) {
        float v[16];
        NC_UNROLL for (k = 0; k < 16; k++) {
            v[k] = nc_add(weight[k * PITCH + t], weight[(k + 16) * PITCH + t]);
        }
        NC_UNROLL for (c = 8; c > 0; c /= 2) NC_UNROLL for (k = 0; k < c; k++) {
            v[k] = nc_add(v[k], v[k + c]);
        }
        delta[t] = v[0];
        if (t < rows) x[to + t] = v[0];
    }
    NC_BARRIER();
}

NC_FN void gather(NC_TAKE(float *, x) uint b, uint ldb, uint others, uint n, bool sees, uint to,
                  uint ld, uint rows, bool begun, NC_INOUT float sum[4][8]) {
    uint at = to + NC_THREAD.x / 8 * 4 * ld + NC_THREAD.x % 8, i, j;
    for (uint c = 0; c < n; c += 64) {
        if (n > 64) {
            NC_UNROLL for (i = 0; i < 4; i++) NC_UNROLL for (j = 0; j < 8; j++) {
                sum[i][j] = 0.0f;
                if (begun && is_inside(i, rows, j, n - c)) sum[i][j] = x[at + i * ld + c + 8 * j];
            }
        }
        accumulate(NC_GIVE(x) b + c, ldb, others, n - c, sees, sum);
        if (n > 64) leave(NC_GIVE(x) to + c, ld, rows, n - c, sum);
    }
}

NC_FN void leave(NC_TAKE(float *, x) uint to, uint ld, uint rows, uint n, float sum[4][8]) {
    uint at = to + NC_THREAD.x / 8 * 4 * ld + NC_THREAD.x % 8, i, j;
    NC_UNROLL for (i = 0; i < 4; i++) NC_UNROLL for (j = 0; j < 8; j++) {
        if (is_inside(i, rows, j, n)) x[at + i * ld + 8 * j] = sum[i][j];
    }
}
