// C = op(A) op(B), or += with accumulate, as nc_hlx_gemm; then times the scale, plus a bias (from B's
// buffer) and a residual (from C's, with C's stride), where asked for, and the activation of the
// result beside it. A group owns 64 x 64 elements of C, a thread 4 x 4 of them, and each element walks k in
// ascending order, one fma a step. Matrix z of a batch is head z mod heads of window z / heads;
// every matrix has an offset, a row stride and two batch strides.
#include "nc_kernel.h"

NC_PUSH {
    uint m, n, k, trans_a, trans_b, accumulate, heads, lda, ldb, ldc, off_a, off_b, off_c;
    uint window_a, window_b, window_c, head_a, head_b, head_c, scaled;
    float scale;
    uint epilogue; // 1 bias, 2 residual, 4 activation
    uint activation, off_bias, off_residual, off_activated;
}
NC_P;

NC_SHARED float tile_a[16][65]; // [k][row]
NC_SHARED float tile_b[16][65]; // [k][column]

NC_KERNEL_3(gemm, 16, 16, NC_IN(0, float, a), NC_IN(1, float, b), NC_IO(2, float, c)) {
    uint x = NC_THREAD.x, y = NC_THREAD.y, t = y * 16 + x, i, j, e;
    uint row0 = NC_GROUP.y * 64, column0 = NC_GROUP.x * 64;
    uint window = NC_GROUP.z / p.heads, head = NC_GROUP.z % p.heads;
    uint at_a = p.off_a + window * p.window_a + head * p.head_a;
    uint at_b = p.off_b + window * p.window_b + head * p.head_b;
    uint at_c = window * p.window_c + head * p.head_c;
    float sum[4][4];
    NC_UNROLL for (i = 0; i < 4; i++) NC_UNROLL for (j = 0; j < 4; j++) {
        uint row = row0 + y + 16 * i, column = column0 + x + 16 * j;
        bool inside = row < p.m && column < p.n && p.accumulate != 0;
        sum[i][j] = inside ? c[p.off_c + at_c + row * p.ldc + column] : 0.0f;
    }
    for (uint k0 = 0; k0 < p.k; k0 += 16) {
        for (e = t; e < 1024; e += 256) { // neighbours read along the stored rows
            uint row = p.trans_a != 0 ? e % 64 : e / 16, ka = p.trans_a != 0 ? e / 64 : e % 16;
            uint column = p.trans_b != 0 ? e / 16 : e % 64, kb = p.trans_b != 0 ? e % 16 : e / 64;
            uint r = row0 + row, q = column0 + column, ga = k0 + ka, gb = k0 + kb;
            float va = 0.0f, vb = 0.0f;
            if (r < p.m && ga < p.k)
                va = a[at_a + (p.trans_a != 0 ? ga * p.lda + r : r * p.lda + ga)];
            if (q < p.n && gb < p.k)
                vb = b[at_b + (p.trans_b != 0 ? q * p.ldb + gb : gb * p.ldb + q)];
            tile_a[ka][row] = va;
            tile_b[kb][column] = vb;
        }
        NC_BARRIER();
        uint steps = min(16u, p.k - k0); // no padded step: fma(0, 0, -0) would lose a sign
        for (uint s = 0; s < steps; s++) {
            float va[4], vb[4];
            NC_UNROLL for (i = 0; i < 4; i++) va[i] = tile_a[s][y + 16 * i];
            NC_UNROLL for (j = 0; j < 4; j++) vb[j] = tile_b[s][x + 16 * j];
            NC_UNROLL for (i = 0; i < 4; i++) NC_UNROLL for (j = 0; j < 4; j++) sum[i][j] =
                nc_fma(va[i], vb[j], sum[i][j]);
        }
        NC_BARRIER();
    }
    NC_UNROLL for (i = 0; i < 4; i++) NC_UNROLL for (j = 0; j < 4; j++) {
        uint row = row0 + y + 16 * i, column = column0 + x + 16 * j;
        uint at = at_c + row * p.ldc + column;
        float v = sum[i][j];
        if (row >= p.m || column >= p.n) continue;
        if (p.scaled != 0) v = nc_mul(v, p.scale);
        if ((p.epilogue & 1) != 0) v = nc_add(v, b[p.off_bias + column]);
        if ((p.epilogue & 2) != 0) v = nc_add(v, c[p.off_residual + at]);
        c[p.off_c + at] = v;
        if ((p.epilogue & 4) != 0) c[p.off_activated + at] = nc_activate(p.activation, v);
    }
}
