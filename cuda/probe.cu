// Arithmetic of the device on triples x[3i..3i+2]: fma, sum, product, quotient, root; quotients of
// constants, which compilers make reciprocals of, and of roots, which they make reciprocal roots of; and
// an fma of an fma, between which emulations may forget to round.
#include "nc_kernel.h"

NC_PUSH { uint count; }
NC_P;

NC_KERNEL_2(probe, 64, 1, NC_IN(0, float, x), NC_OUT(1, float, y)) {
    uint i = NC_GROUP.x * 64 + NC_THREAD.x;
    if (i >= p.count) return;
    float a = x[3 * i], b = x[3 * i + 1], c = x[3 * i + 2];
    float root = nc_root(a < 0.0f ? -a : a);
    y[9 * i] = nc_fma(a, b, c);
    y[9 * i + 1] = nc_add(a, b);
    y[9 * i + 2] = nc_mul(a, b);
    y[9 * i + 3] = nc_divided(a, b);
    y[9 * i + 4] = root;
    y[9 * i + 5] = nc_divided(1.0f, b);
    y[9 * i + 6] = nc_divided(2.0f, b);
    y[9 * i + 7] = nc_divided(1.0f, root);
    y[9 * i + 8] = nc_fma(nc_fma(a, b, c), 0.3333333f, a);
}
