// nc_hlx_flash_attention_backward in two dispatches, y the head of all windows: with keys 0 a
// group owns a tile of 32 queries, leaves dot(dO, O) of each in off_delta and forms dQ over
// ascending keys; then with keys 1 it owns a tile of 32 keys and forms dK and dV over ascending
// queries. Threads own a key for P and dS, and columns for the results.
#include "nc_kernel.h"

NC_PUSH {
    uint seq, causal, heads, head_size, off_qkv, off_out, off_lse;
    float scale;
    uint off_dout, off_dqkv, off_delta, keys;
}
NC_P;

NC_SHARED float s[32][33];  // P, [query][key]
NC_SHARED float ds[32][33]; // dS
NC_SHARED float delta[32];  // dot(dO, O) of the queries

// P and dS of queries q0.. and keys k0.., n and keys of them.
NC_FN void tile(NC_TAKE(float *, x) NC_TAKE(nc_push, p) uint q, uint dout, uint rows, uint q0,
                uint n, uint k0, uint keys);

NC_KERNEL_1(flash_attention_backward, 32, 1, NC_IO(0, float, x)) {
    uint j = NC_THREAD.x, head = NC_GROUP.y, first = NC_GROUP.x * 32;
    uint window = head / p.heads, h = head % p.heads, count = min(32u, p.seq - first), i, c, k;
    uint d = p.heads * p.head_size, rows = head * p.seq;
    uint q = p.off_qkv + window * p.seq * 3 * d + h * p.head_size;
    uint dq = p.off_dqkv + window * p.seq * 3 * d + h * p.head_size;
    uint out_ = p.off_out + window * p.seq * d + h * p.head_size;
    uint dout = p.off_dout + window * p.seq * d + h * p.head_size;
    if (p.keys == 0) {
        if (j < count) {
            float t[32];
            for (k = 0; k < 32; k++) t[k] = 0.0f;
            for (c = 0; c < p.head_size; c++)
                t[c % 32] =
                    nc_fma(x[dout + (first + j) * d + c], x[out_ + (first + j) * d + c], t[c % 32]);
            for (uint width = 16; width > 0; width /= 2)
                for (k = 0; k < width; k++) t[k] = nc_add(t[k], t[k + width]);
            delta[j] = x[p.off_delta + rows + first + j] = t[0];
        }
        uint limit = p.causal != 0 ? first + count : p.seq;
        for (uint k0 = 0; k0 < limit; k0 += 32) {
            uint keys = min(32u, p.seq - k0);
            tile(NC_GIVE(x) NC_GIVE(p) q, dout, rows, first, count, k0, keys);
            for (c = j; c < p.head_size; c += 32)
                for (i = 0; i < count; i++) {
                    uint at = dq + (first + i) * 3 * d + c;
                    float sum = k0 != 0 ? x[at] : 0.0f;
                    for (k = 0; k < keys; k++)
                        sum = nc_fma(ds[i][k], x[q + d + (k0 + k) * 3 * d + c], sum);
                    x[at] = sum;
                }
        }
        return;
    }
    uint start = p.causal != 0 ? first : 0;
    for (uint q0 = start; q0 < p.seq; q0 += 32) {
        uint n = min(32u, p.seq - q0);
        tile(NC_GIVE(x) NC_GIVE(p) q, dout, rows, q0, n, first, count);
        for (c = j; c < p.head_size; c += 32)
            for (k = 0; k < count; k++) {
                uint at = dq + d + (first + k) * 3 * d + c;
                float dk = q0 != start ? x[at] : 0.0f, dv = q0 != start ? x[at + d] : 0.0f;
                for (i = 0; i < n; i++) {
                    dk = nc_fma(ds[i][k], x[q + (q0 + i) * 3 * d + c], dk);
                    dv = nc_fma(s[i][k], x[dout + (q0 + i) * d + c], dv);
                }
                x[at] = dk;
                x[at + d] = dv;
            }
    }
}

NC_FN void tile(NC_TAKE(float *, x) NC_TAKE(nc_push, p) uint q, uint dout, uint rows, uint q0,
                uint n, uint k0, uint keys) {
    uint j = NC_THREAD.x, d = p.heads * p.head_size, key = q + d + (k0 + j) * 3 * d, i, c;
    NC_BARRIER();
    if (p.keys != 0 && j < n) delta[j] = x[p.off_delta + rows + q0 + j];
    NC_BARRIER();
    for (i = 0; i < n; i++) {
        uint query = q + (q0 + i) * 3 * d, dy = dout + (q0 + i) * d;
        uint visible = p.causal != 0 ? min(keys, q0 + i + 1 - k0) : keys;
        float score = 0.0f, dp = 0.0f;
        if (j < visible)
            for (c = 0; c < p.head_size; c++) {
                score = nc_fma(x[query + c], x[key + c], score);
                dp = nc_fma(x[dy + c], x[key + d + c], dp);
            }
        float e = nc_exp(nc_sub(nc_mul(score, p.scale), x[p.off_lse + rows + q0 + i]));
        float g = nc_mul(nc_mul(e, nc_sub(dp, delta[i])), p.scale);
        s[i][j] = j < visible ? e : 0.0f;
        ds[i][j] = j < visible ? g : 0.0f;
    }
    NC_BARRIER();
}
