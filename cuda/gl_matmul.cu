// C (m x n) = A (m x k) B (k x n) in the field; with fixed, each sum is rescaled once, as
// nc_fixed_matmul does.
#define NC_FIELD
#include "nc_kernel.h"

NC_PUSH { uint m, n, k, fixed_point; }
NC_P;

NC_SHARED fe tile_a[16][17]; // [row][k]
NC_SHARED fe tile_b[16][17]; // [k][column]

NC_KERNEL_3(gl_matmul, 16, 16, NC_IN(0, fe, a), NC_IN(1, fe, b), NC_IO(2, fe, c)) {
    uint x = NC_THREAD.x, y = NC_THREAD.y;
    uint row = NC_GROUP.y * 16 + y, column = NC_GROUP.x * 16 + x;
    fe zero = fe_make(0u, 0u), sum = zero;
    for (uint k0 = 0; k0 < p.k; k0 += 16) {
        tile_a[y][x] = zero;
        tile_b[y][x] = zero;
        if (row < p.m && k0 + x < p.k) tile_a[y][x] = a[nc_index(row) * p.k + k0 + x];
        if (column < p.n && k0 + y < p.k) tile_b[y][x] = b[nc_index(k0 + y) * p.n + column];
        NC_BARRIER();
        for (uint i = 0; i < 16; i++) sum = fe_add(sum, fe_mul(tile_a[y][i], tile_b[i][x]));
        NC_BARRIER();
    }
    if (row < p.m && column < p.n)
        c[nc_index(row) * p.n + column] = p.fixed_point != 0 ? fe_rescale(sum) : sum;
}
