// Rows of n gates and n values each: out = activation(gate) value.
#include "nc_kernel.h"

NC_PUSH { uint count, n, activation, off_x, off_out; }
NC_P;

NC_KERNEL_2(swiglu, 256, 1, NC_IN(0, float, x), NC_IO(1, float, out_)) {
    uint i = NC_GROUP_X * 256 + NC_THREAD.x;
    if (i >= p.count) return;
    uint gate = p.off_x + i / p.n * 2 * p.n + i % p.n;
    out_[p.off_out + i] = nc_mul(nc_activate(p.activation, x[gate]), x[gate + p.n]);
}
