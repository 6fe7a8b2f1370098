// nc_hlx_flash_attention_backward in two dispatches: with keys 0 a group owns a tile of 32 queries, y
// the head of all windows, leaves dot(dO, O) of each in off_delta and forms dQ over ascending keys;
// then with keys 1 it owns a tile of 32 keys, y the head with keys of all windows, and forms dK and dV
// over ascending heads that share them and ascending queries. Threads own a key for P and dS, and
// columns for the results.
#include "nc_kernel.h"

NC_PUSH {
    uint seq, causal, heads, kv_heads, head_size, off_qkv, off_out, off_lse;
    float scale;
    uint off_dout, off_dqkv, off_delta, keys;
}
NC_P;

NC_SHARED float s[32][33];  // P, [query][key]
NC_SHARED float ds[32][33]; // dS
NC_SHARED float delta[32];  // dot(dO, O) of the queries

// P and dS of queries q0.. and keys k0.., n and keys of them; q, kv and dout are those of position 0.
NC_FN void tile(NC_TAKE(float *, x) NC_TAKE(nc_push, p) uint q, uint kv, uint dout, uint rows,
                uint q0, uint n, uint k0, uint keys);

NC_KERNEL_1(flash_attention_backward, 32, 1, NC_IO(0, float, x)) {
    uint j = NC_THREAD.x, first = NC_GROUP.x * 32, count = min(32u, p.seq - first), i, c, k;
    uint d = p.heads * p.head_size, shared_ = p.kv_heads * p.head_size, ld = d + 2 * shared_;
    uint sharing = p.heads / p.kv_heads, own = p.keys == 0 ? p.heads : p.kv_heads;
    uint window = NC_GROUP.y / own, h = NC_GROUP.y % own, row0 = window * p.seq;
    uint qkv = p.off_qkv + row0 * ld, dqkv = p.off_dqkv + row0 * ld;
    if (p.keys == 0) {
        uint q = h * p.head_size, kv = d + h / sharing * p.head_size, rows = NC_GROUP.y * p.seq;
        uint out_ = p.off_out + row0 * d + q, dout = p.off_dout + row0 * d + q;
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
            tile(NC_GIVE(x) NC_GIVE(p) qkv + q, qkv + kv, dout, rows, first, count, k0, keys);
            for (c = j; c < p.head_size; c += 32)
                for (i = 0; i < count; i++) {
                    uint at = dqkv + q + (first + i) * ld + c;
                    float sum = k0 != 0 ? x[at] : 0.0f;
                    for (k = 0; k < keys; k++)
                        sum = nc_fma(ds[i][k], x[qkv + kv + (k0 + k) * ld + c], sum);
                    x[at] = sum;
                }
        }
        return;
    }
    uint kv = d + h * p.head_size, start = p.causal != 0 ? first : 0;
    for (uint head = h * sharing; head < (h + 1) * sharing; head++) {
        uint q = head * p.head_size, dout = p.off_dout + row0 * d + q;
        uint rows = (window * p.heads + head) * p.seq;
        for (uint q0 = start; q0 < p.seq; q0 += 32) {
            uint n = min(32u, p.seq - q0);
            bool begun = q0 != start || head != h * sharing;
            tile(NC_GIVE(x) NC_GIVE(p) qkv + q, qkv + kv, dout, rows, q0, n, first, count);
            for (c = j; c < p.head_size; c += 32)
                for (k = 0; k < count; k++) {
                    uint at = dqkv + kv + (first + k) * ld + c;
                    float dk = begun ? x[at] : 0.0f, dv = begun ? x[at + shared_] : 0.0f;
                    for (i = 0; i < n; i++) {
                        dk = nc_fma(ds[i][k], x[qkv + q + (q0 + i) * ld + c], dk);
                        dv = nc_fma(s[i][k], x[dout + (q0 + i) * d + c], dv);
                    }
                    x[at] = dk;
                    x[at + shared_] = dv;
                }
        }
    }
}

NC_FN void tile(NC_TAKE(float *, x) NC_TAKE(nc_push, p) uint q, uint kv, uint dout, uint rows,
                uint q0, uint n, uint k0, uint keys) {
    uint j = NC_THREAD.x, d = p.heads * p.head_size, shared_ = p.kv_heads * p.head_size, i, c;
    uint ld = d + 2 * shared_, key = kv + (k0 + j) * ld;
    NC_BARRIER();
    if (p.keys != 0 && j < n) delta[j] = x[p.off_delta + rows + q0 + j];
    NC_BARRIER();
    for (i = 0; i < n; i++) {
        uint query = q + (q0 + i) * ld, dy = dout + (q0 + i) * d;
        uint visible = p.causal != 0 ? min(keys, q0 + i + 1 - k0) : keys;
        float score = 0.0f, dp = 0.0f;
        if (j < visible)
            for (c = 0; c < p.head_size; c++) {
                score = nc_fma(x[query + c], x[key + c], score);
                dp = nc_fma(x[dy + c], x[key + shared_ + c], dp);
            }
        float e = nc_exp(nc_sub(nc_mul(score, p.scale), x[p.off_lse + rows + q0 + i]));
        float g = nc_mul(nc_mul(e, nc_sub(dp, delta[i])), p.scale);
        s[i][j] = j < visible ? e : 0.0f;
        ds[i][j] = j < visible ? g : 0.0f;
    }
    NC_BARRIER();
}
