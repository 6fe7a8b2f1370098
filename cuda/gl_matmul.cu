// C (m x n) = A (m x k) B (k x n) in the field; with fixed, each sum is rescaled once, as
// nc_fixed_matmul does. A group owns 32 x 32 elements of C, a thread 4 x 4 of them, 8 apart; their
// sums of 128-bit products are reduced once, at the end.
#define NC_FIELD
#include "nc_kernel.h"

NC_PUSH { uint m, n, k, fixed_point; }
NC_P;

NC_SHARED fe tile_a[16][33]; // [k][row]
NC_SHARED fe tile_b[16][33]; // [k][column]

NC_KERNEL_3(gl_matmul, 8, 8, NC_IN(0, fe, a), NC_IN(1, fe, b), NC_IO(2, fe, c)) {
    uint x = NC_THREAD.x, y = NC_THREAD.y, t = y * 8 + x, i, j, s;
    uint row0 = NC_GROUP.y * 32, column0 = NC_GROUP.x * 32;
    fe zero = fe_make(0u, 0u), low[16], high[16];
    uint top[16];
    NC_UNROLL for (i = 0; i < 16; i++) {
        low[i] = high[i] = zero;
        top[i] = 0;
    }
    for (uint k0 = 0; k0 < p.k; k0 += 16) {
        NC_UNROLL for (i = 0; i < 8; i++) {
            uint ka = t % 16, kb = t / 32 + 2 * i, row = t / 16 + 4 * i, column = t % 32;
            bool in_a = row0 + row < p.m && k0 + ka < p.k;
            bool in_b = column0 + column < p.n && k0 + kb < p.k;
            tile_a[ka][row] = zero;
            tile_b[kb][column] = zero;
            if (in_a) tile_a[ka][row] = a[nc_index(row0 + row) * p.k + k0 + ka];
            if (in_b) tile_b[kb][column] = b[nc_index(k0 + kb) * p.n + column0 + column];
        }
        NC_BARRIER();
        for (s = 0; s < 16; s++) {
            fe va[4], vb[4];
            NC_UNROLL for (i = 0; i < 4; i++) va[i] = tile_a[s][y + 8 * i];
            NC_UNROLL for (j = 0; j < 4; j++) vb[j] = tile_b[s][x + 8 * j];
            NC_UNROLL for (i = 0; i < 16; i++)
                fe_add_product(low[i], high[i], top[i], va[i / 4], vb[i % 4]);
        }
        NC_BARRIER();
    }
    NC_UNROLL for (i = 0; i < 16; i++) {
        uint row = row0 + y + i / 4 * 8, column = column0 + x + i % 4 * 8;
        fe sum = fe_reduce_sum(low[i], high[i], top[i]);
        if (row < p.m && column < p.n)
            c[nc_index(row) * p.n + column] = p.fixed_point != 0 ? fe_rescale(sum) : sum;
    }
}
