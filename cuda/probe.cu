// Arithmetic of the device on triples x[3i..3i+2]: fma, sum, product, quotient, root.
#include "nc_kernel.h"

NC_PUSH { uint count; }
NC_P;

NC_KERNEL_2(probe, 64, 1, NC_IN(0, float, x), NC_OUT(1, float, y)) {
    uint i = NC_GROUP.x * 64 + NC_THREAD.x;
    if (i >= p.count) return;
    float a = x[3 * i], b = x[3 * i + 1], c = x[3 * i + 2];
    y[5 * i] = nc_fma(a, b, c);
    y[5 * i + 1] = nc_add(a, b);
    y[5 * i + 2] = nc_mul(a, b);
    y[5 * i + 3] = nc_divided(a, b);
    y[5 * i + 4] = nc_root(a < 0.0f ? -a : a);
}
