// Y (n x rows) = X (n x columns) W^T for 4-bit weights, as nc_fp4_matmul: a group computes one
// row (x) for one vector (y); each lane its chain of columns, then the tree.
#define NC_LANES
#include "nc_kernel.h"

NC_PUSH {
    uint rows, columns, row_words, row_scales;
    float table[16];
}
NC_P;

NC_KERNEL_4(fp4_matmul, 32, 1, NC_IN(0, uint, codes), NC_IN(1, float, scale), NC_IN(2, float, x),
            NC_OUT(3, float, y)) {
    uint lane = NC_THREAD.x, row = NC_GROUP.x, v = NC_GROUP.y;
    float sum = 0.0f;
    for (uint c = lane; c < p.columns; c += 32) {
        uint code = codes[nc_index(row) * p.row_words + c / 8] >> (c % 8 * 4) & 15u;
        float weight = nc_mul(p.table[code], scale[nc_index(row) * p.row_scales + c / 16]);
        sum = nc_fma(weight, x[nc_index(v) * p.columns + c], sum);
    }
    sum = nc_tree(sum);
    if (lane == 0) y[nc_index(v) * p.rows + row] = sum;
}
