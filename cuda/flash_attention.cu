// nc_hlx_flash_attention: a tile of 32 queries of one head to each group, y the head of all
// windows; heads / kv_heads successive heads share a K and a V. Threads own a key for the scores, a
// query for the running maximum and sum, and columns for the output.
#include "nc_kernel.h"

NC_PUSH {
    uint seq, causal, heads, kv_heads, head_size, off_qkv, off_out, off_lse;
    float scale;
}
NC_P;

NC_SHARED float s[32][33];
NC_SHARED float factor[32];

NC_KERNEL_1(flash_attention, 32, 1, NC_IO(0, float, x)) {
    uint j = NC_THREAD.x, head = NC_GROUP.y, d = p.heads * p.head_size, i, c, k;
    uint window = head / p.heads, h = head % p.heads, q0 = NC_GROUP.x * 32;
    uint shared_ = p.kv_heads * p.head_size, ld = d + 2 * shared_;
    uint qkv = p.off_qkv + window * p.seq * ld, q = qkv + h * p.head_size;
    uint kv = qkv + d + h / (p.heads / p.kv_heads) * p.head_size;
    uint to = p.off_out + window * p.seq * d + h * p.head_size + q0 * d;
    uint n = min(32u, p.seq - q0), limit = p.causal != 0 ? q0 + n : p.seq;
    float m = 0.0f, l = 0.0f;
    for (uint k0 = 0; k0 < limit; k0 += 32) {
        uint keys = min(32u, p.seq - k0), key = kv + (k0 + j) * ld;
        for (i = 0; i < n; i++) {
            uint query = q + (q0 + i) * ld;
            float sum = 0.0f;
            if (j < keys)
                for (c = 0; c < p.head_size; c++) sum = nc_fma(x[query + c], x[key + c], sum);
            s[i][j] = nc_mul(sum, p.scale);
        }
        NC_BARRIER();
        if (j < n) {
            uint visible = p.causal != 0 ? min(keys, q0 + j + 1 - k0) : keys;
            float most = s[j][0], t[16];
            for (k = 1; k < visible; k++) most = s[j][k] > most ? s[j][k] : most;
            if (k0 != 0 && m > most) most = m;
            factor[j] = k0 != 0 ? nc_exp(nc_sub(m, most)) : 0.0f;
            for (k = 0; k < 32; k++) s[j][k] = k < visible ? nc_exp(nc_sub(s[j][k], most)) : 0.0f;
            for (k = 0; k < 16; k++) t[k] = nc_add(s[j][k], s[j][k + 16]);
            for (uint width = 8; width > 0; width /= 2)
                for (k = 0; k < width; k++) t[k] = nc_add(t[k], t[k + width]);
            l = nc_fma(l, factor[j], t[0]);
            m = most;
        }
        NC_BARRIER();
        for (c = j; c < p.head_size; c += 32)
            for (i = 0; i < n; i++) {
                float o = k0 != 0 ? nc_mul(x[to + i * d + c], factor[i]) : 0.0f;
                for (k = 0; k < keys; k++)
                    o = nc_fma(s[i][k], x[kv + shared_ + (k0 + k) * ld + c], o);
                x[to + i * d + c] = o;
            }
        NC_BARRIER();
    }
    if (j < n) {
        x[p.off_lse + head * p.seq + q0 + j] = nc_add(m, nc_log(l));
        factor[j] = l;
    }
    NC_BARRIER();
    for (c = j; c < p.head_size; c += 32)
        for (i = 0; i < n; i++) x[to + i * d + c] = nc_div(x[to + i * d + c], factor[i]);
}
