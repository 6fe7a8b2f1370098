// Gradients of rows of n gates and n values each, from dout and the rows themselves: of a gate dout
// value slope(gate), of a value dout activation(gate).
#include "nc_kernel.h"

NC_PUSH { uint count, n, activation, off_x, off_dout, off_dx; }
NC_P;

NC_KERNEL_1(swiglu_backward, 256, 1, NC_IO(0, float, x)) {
    uint i = NC_GROUP_X * 256 + NC_THREAD.x;
    if (i >= p.count) return;
    uint place = i / p.n * 2 * p.n + i % p.n, gate = p.off_x + place, to = p.off_dx + place;
    float dy = x[p.off_dout + i], v = x[gate];
    x[to] = nc_mul(nc_mul(dy, x[gate + p.n]), nc_slope(p.activation, v));
    x[to + p.n] = nc_mul(nc_activate(p.activation, v), dy);
}
