// Bit-reversed order to natural order, out of place; with inverse also x[1 .. n-1] mirrored and
// times the factor, which turns a forward transform into an inverse one.
#define NC_FIELD
#include "nc_kernel.h"

NC_PUSH { uint log2_n, inverse_mode, factor_low, factor_high; }
NC_P;

NC_KERNEL_2(gl_reorder, 256, 1, NC_IN(0, fe, from), NC_IO(1, fe, to)) {
    uint n = 1u << p.log2_n, group = NC_GROUP_X;
    uint i = group * 256 + NC_THREAD.x;
    nc_index start = nc_index(NC_GROUP.y) << p.log2_n;
    if (i >= n) return;
    uint j = p.log2_n > 0 ? nc_reverse(i) >> (32 - p.log2_n) : 0;
    fe value = from[start + j];
    if (p.inverse_mode != 0) {
        value = fe_mul(value, fe_make(p.factor_low, p.factor_high));
        i = (n - i) & (n - 1);
    }
    to[start + i] = value;
}
