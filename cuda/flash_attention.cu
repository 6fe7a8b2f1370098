// nc_hlx_flash_attention: 64 queries of one head to each group, y the head of all windows, over 32 keys
// a step as the rescaling asks; heads / kv_heads successive heads share a K and a V. The output stays in
// registers, that of heads wider than 64 in its place between steps.
#include "nc_kernel.h"

NC_PUSH {
    uint seq, causal, heads, kv_heads, head_size, off_qkv, off_out, off_lse;
    float scale;
}
NC_P;
#include "flash_tile.h"

// Row i of a thread sees the first min(keys, before + i) keys of the step: their scores become
// exp(score - m') in weight, and m and l are carried on where the half sees them; factor is
// exp(m - m'), 0 in the first step. Sums of 32 are in pairs 16, 8, 4, 2, 1 apart.
NC_FN void softmax_step(NC_INOUT float score[4][4], uint keys, uint before, bool begun, bool sees,
                        NC_INOUT float m[4], NC_INOUT float l[4], NC_INOUT float factor[4]) {
    uint x = NC_THREAD.x % 8, row = NC_THREAD.x / 8 * 4, i, j, k;
    NC_UNROLL for (i = 0; i < 4; i++) {
        float most = x == 0 ? score[i][0] : nc_float(0xFF800000u); // a first NaN stays
        NC_UNROLL for (j = 0; j < 4; j++) {
            bool greater = score[i][j] > most && x + 8 * j < min(keys, before + i);
            most = greater ? score[i][j] : most;
        }
        stage[x * PITCH + row + i] = most;
    }
    NC_BARRIER();
    NC_UNROLL for (i = 0; i < 4; i++) {
        float most = stage[row + i], e[4];
        NC_UNROLL for (k = 1; k < 8; k++) {
            float v = stage[k * PITCH + row + i];
            most = v > most ? v : most;
        }
        most = begun && m[i] > most ? m[i] : most;
        factor[i] = begun ? nc_exp(nc_sub(m[i], most)) : 0.0f;
        NC_UNROLL for (j = 0; j < 4; j++) {
            uint key = x + 8 * j;
            e[j] = key < min(keys, before + i) ? nc_exp(nc_sub(score[i][j], most)) : 0.0f;
            weight[key * PITCH + row + i] = key < keys ? e[j] : -0.0f;
        }
        stage[ROWS_STAGE + x * PITCH + row + i] = nc_add(nc_add(e[0], e[2]), nc_add(e[1], e[3]));
        m[i] = sees ? most : m[i];
    }
    NC_BARRIER();
    NC_UNROLL for (i = 0; i < 4; i++) {
        float t[4];
        NC_UNROLL for (k = 0; k < 4; k++) {
            uint at = ROWS_STAGE + k * PITCH + row + i;
            t[k] = nc_add(stage[at], stage[at + 4 * PITCH]);
        }
        float total = nc_fma(l[i], factor[i], nc_add(nc_add(t[0], t[2]), nc_add(t[1], t[3])));
        l[i] = sees ? total : l[i];
    }
}

NC_KERNEL_1(flash_attention, 128, 1, NC_IO(0, float, x)) {
    uint t = NC_THREAD.x, head = NC_GROUP.y, d = p.heads * p.head_size, i, j, c;
    uint window = head / p.heads, h = head % p.heads, q0 = NC_GROUP.x * ROWS, row = t / 8 * 4;
    uint shared_ = p.kv_heads * p.head_size, ld = d + 2 * shared_, rows = p.seq - q0;
    uint qkv = p.off_qkv + window * p.seq * ld, q = qkv + h * p.head_size + q0 * ld;
    uint kv = qkv + d + h / (p.heads / p.kv_heads) * p.head_size;
    uint to = p.off_out + (window * p.seq + q0 + row) * d + h * p.head_size + t % 8;
    uint limit = p.causal != 0 ? min(q0 + ROWS, p.seq) : p.seq;
    bool wide = p.head_size > 64;
    float m[4], l[4], factor[4], o[4][8], score[4][4];
    NC_UNROLL for (i = 0; i < 4; i++) m[i] = l[i] = 0.0f;
    for (uint k0 = 0; k0 < limit; k0 += OTHERS) {
        uint keys = min(OTHERS, p.seq - k0), before = p.causal != 0 ? q0 + row + 1 - k0 : keys;
        bool begun = k0 != 0, sees = p.causal == 0 || k0 <= q0 + t / 64 * 32;
        product(NC_GIVE(x) q, ld, rows, kv + k0 * ld, ld, keys, p.head_size, sees, score);
        NC_UNROLL for (i = 0; i < 4; i++) NC_UNROLL for (j = 0; j < 4; j++) {
            score[i][j] = nc_mul(score[i][j], p.scale);
        }
        softmax_step(score, keys, before, begun, sees, m, l, factor);
        for (c = 0; c < p.head_size; c += 64) {
            NC_UNROLL for (i = 0; i < 4; i++) NC_UNROLL for (j = 0; j < 8; j++) {
                if (wide && begun && is_inside(i, rows, j, p.head_size - c))
                    o[i][j] = x[to + i * d + c + 8 * j];
                if (sees) o[i][j] = begun ? nc_mul(o[i][j], factor[i]) : 0.0f;
            }
            accumulate(NC_GIVE(x) kv + shared_ + k0 * ld + c, ld, keys, p.head_size - c, sees, o);
            NC_UNROLL for (i = 0; i < 4; i++) NC_UNROLL for (j = 0; j < 8; j++) {
                if (wide && is_inside(i, rows, j, p.head_size - c))
                    x[to + i * d + c + 8 * j] = o[i][j];
            }
        }
    }
    NC_UNROLL for (i = 0; i < 4; i++) {
        if (t % 8 == 0 && row + i < rows)
            x[p.off_lse + head * p.seq + q0 + row + i] = nc_add(m[i], nc_log(l[i]));
    }
    for (c = 0; c < p.head_size; c += 64)
        NC_UNROLL for (i = 0; i < 4; i++) NC_UNROLL for (j = 0; j < 8; j++) {
            if (!is_inside(i, rows, j, p.head_size - c)) continue;
            if (wide) o[i][j] = x[to + i * d + c + 8 * j];
            x[to + i * d + c + 8 * j] = nc_div(o[i][j], l[i]);
        }
}
#include "flash_products.h"
