// `stages` radix-2 steps of a decimation in frequency on blocks of 2^log2_block points: each
// group takes 2^stages rows, 2^(log2_block - stages) apart, times 2^log2_columns neighbouring
// columns through NC_SHARED memory, at most 1,024 points. twiddle[i] = root^i, i < n / 2. Transforms of
// a batch lie one after the other; group y is the batch.
#define NC_FIELD
#include "nc_kernel.h"

NC_PUSH { uint log2_n, log2_block, stages, log2_columns; }
NC_P;

NC_SHARED fe tile[1024];

NC_KERNEL_2(gl_ntt, 256, 1, NC_IO(0, fe, data), NC_IN(1, fe, twiddle)) {
    uint x = NC_THREAD.x, columns = 1u << p.log2_columns, rows = 1u << p.stages;
    uint stride = 1u << (p.log2_block - p.stages), points = rows << p.log2_columns;
    uint group = NC_GROUP_X,
         across = stride >> p.log2_columns; // column groups in a block
    nc_index start = nc_index(NC_GROUP.y) << p.log2_n;
    start += nc_index(group / across) << p.log2_block;
    uint first = group % across << p.log2_columns; // this group's first column
    for (uint i = x; i < points; i += 256)
        tile[i] = data[start + (i >> p.log2_columns) * stride + first + (i & (columns - 1))];
    NC_BARRIER();
    for (uint s = 0; s < p.stages; s++) {
        uint half_rows = rows >> (s + 1);
        for (uint i = x; i < points / 2; i += 256) {
            uint column = i & (columns - 1), row = i >> p.log2_columns;
            uint low = row & (half_rows - 1);
            uint u = (((row - low) * 2 + low) << p.log2_columns) + column;
            uint v = u + (half_rows << p.log2_columns);
            // the column inside the half block of this step, times the root's distance in the table
            uint power = (low * stride + first + column) << (p.log2_n - p.log2_block + s);
            fe a = tile[u], b = tile[v];
            tile[u] = fe_add(a, b);
            tile[v] = fe_mul(fe_sub(a, b), twiddle[power]);
        }
        NC_BARRIER();
    }
    for (uint i = x; i < points; i += 256)
        data[start + (i >> p.log2_columns) * stride + first + (i & (columns - 1))] = tile[i];
}
