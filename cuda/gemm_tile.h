// C = op(A) op(B), or += with accumulate, as nc_hlx_gemm; then times the scale, plus a bias (from B's
// buffer) and a residual (from C's, with C's stride), where asked for, and the activation of the
// result beside it. A group owns NC_TILE x NC_TILE elements of C, a thread NC_EACH x NC_EACH of them in
// runs of up to four, and each element walks k in ascending order, one fma a step: the tile decides about
// speed alone. Matrix z of a batch is head z mod heads of window z / heads; every matrix has an
// offset, a row stride and two batch strides.
//   NC_DEPTH steps of k stand in shared memory while the next are on their way in registers. Steps
// behind the last are -0 in A and +0 in B: fma(-0, +0, c) is c, for -0 too.
#include "nc_kernel.h"

NC_PUSH {
    uint m, n, k, trans_a, trans_b, accumulate, heads, lda, ldb, ldc, off_a, off_b, off_c;
    uint window_a, window_b, window_c, head_a, head_b, head_c, scaled;
    float scale;
    uint epilogue; // 1 bias, 2 residual, 4 activation
    uint activation, off_bias, off_residual, off_activated;
}
NC_P;

#define NC_SIDE (NC_TILE / NC_EACH)                         // threads along a side of the tile
#define NC_LOADS (NC_DEPTH * NC_TILE / (NC_SIDE * NC_SIDE)) // of each operand, a thread
// Place i of a thread's elements along a side, where it stands at `at` of NC_SIDE.
#define NC_RUN (NC_EACH < 4 ? NC_EACH : 4)
#define NC_PLACE(at, i) ((at)*NC_RUN + (i) % NC_RUN + (i) / NC_RUN * (NC_SIDE * NC_RUN))

NC_SHARED float tile_a[2][NC_DEPTH][NC_TILE + 4]; // [turn][k][row]
NC_SHARED float tile_b[2][NC_DEPTH][NC_TILE + 4]; // [turn][k][column]

NC_KERNEL_3(NC_GEMM, NC_SIDE, NC_SIDE, NC_IN(0, float, a), NC_IN(1, float, b), NC_IO(2, float, c)) {
    uint x = NC_THREAD.x, y = NC_THREAD.y, t = y * NC_SIDE + x, i, j, s, turn = 0;
    uint row0 = NC_GROUP.y * NC_TILE, column0 = NC_GROUP.x * NC_TILE;
    uint window = NC_GROUP.z / p.heads, head = NC_GROUP.z % p.heads;
    uint at_a = p.off_a + window * p.window_a + head * p.head_a;
    uint at_b = p.off_b + window * p.window_b + head * p.head_b;
    uint at_c = window * p.window_c + head * p.head_c;
    float sum[NC_EACH][NC_EACH], next_a[NC_LOADS], next_b[NC_LOADS];
    NC_UNROLL for (i = 0; i < NC_EACH; i++) NC_UNROLL for (j = 0; j < NC_EACH; j++) {
        uint row = row0 + NC_PLACE(y, i), column = column0 + NC_PLACE(x, j);
        bool inside = row < p.m && column < p.n && p.accumulate != 0;
        sum[i][j] = inside ? c[p.off_c + at_c + row * p.ldc + column] : 0.0f;
    }
    for (uint k0 = 0; k0 < p.k + NC_DEPTH; k0 += NC_DEPTH) {
        NC_UNROLL for (i = 0; i < NC_LOADS; i++) { // neighbours read along the stored rows
            uint e = t + i * (NC_SIDE * NC_SIDE);
            uint ga = k0 + (p.trans_a != 0 ? e / NC_TILE : e % NC_DEPTH);
            uint gb = k0 + (p.trans_b != 0 ? e % NC_DEPTH : e / NC_TILE);
            uint r = row0 + (p.trans_a != 0 ? e % NC_TILE : e / NC_DEPTH);
            uint q = column0 + (p.trans_b != 0 ? e / NC_DEPTH : e % NC_TILE);
            next_a[i] = -0.0f;
            next_b[i] = 0.0f;
            if (r < p.m && ga < p.k)
                next_a[i] = a[at_a + (p.trans_a != 0 ? ga * p.lda + r : r * p.lda + ga)];
            if (q < p.n && gb < p.k)
                next_b[i] = b[at_b + (p.trans_b != 0 ? q * p.ldb + gb : gb * p.ldb + q)];
        }
        if (k0 > 0) {
            NC_UNROLL for (s = 0; s < NC_DEPTH; s++) {
                float va[NC_EACH], vb[NC_EACH];
                NC_UNROLL for (i = 0; i < NC_EACH; i++) va[i] = tile_a[1 - turn][s][NC_PLACE(y, i)];
                NC_UNROLL for (j = 0; j < NC_EACH; j++) vb[j] = tile_b[1 - turn][s][NC_PLACE(x, j)];
                NC_UNROLL for (i = 0; i < NC_EACH; i++) NC_UNROLL for (j = 0; j < NC_EACH; j++)
                    sum[i][j] = nc_fma(va[i], vb[j], sum[i][j]);
            }
        }
        NC_UNROLL for (i = 0; i < NC_LOADS; i++) {
            uint e = t + i * (NC_SIDE * NC_SIDE);
            tile_a[turn][p.trans_a != 0 ? e / NC_TILE : e % NC_DEPTH]
                  [p.trans_a != 0 ? e % NC_TILE : e / NC_DEPTH] = next_a[i];
            tile_b[turn][p.trans_b != 0 ? e % NC_DEPTH : e / NC_TILE]
                  [p.trans_b != 0 ? e / NC_DEPTH : e % NC_TILE] = next_b[i];
        }
        NC_BARRIER();
        turn = 1 - turn;
    }
    NC_UNROLL for (i = 0; i < NC_EACH; i++) NC_UNROLL for (j = 0; j < NC_EACH; j++) {
        uint row = row0 + NC_PLACE(y, i), column = column0 + NC_PLACE(x, j);
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

#undef NC_SIDE
#undef NC_LOADS
#undef NC_PLACE
#undef NC_RUN
#undef NC_GEMM
#undef NC_TILE
#undef NC_EACH
#undef NC_DEPTH
