// nc_hlx_rotary: a pair of values, i and i + pairs of a head, to each thread; `turned` heads stand at
// the beginning of rows of ld values. sign_ -1 turns back.
#include "nc_kernel.h"

NC_PUSH {
    uint count, seq, turned, pairs, ld, off_x, off_table;
    float sign_;
}
NC_P;

NC_KERNEL_2(rotary, 256, 1, NC_IO(0, float, x), NC_IN(1, float, table)) {
    uint t = NC_GROUP_X * 256 + NC_THREAD.x, i = t % p.pairs, head = t / p.pairs;
    if (t >= p.count) return;
    uint row = head / p.turned, angle = p.off_table + row % p.seq * 2 * p.pairs + i;
    uint at = p.off_x + row * p.ld + head % p.turned * 2 * p.pairs + i;
    float u = x[at], v = x[at + p.pairs];
    float cosine = table[angle], sine = nc_mul(p.sign_, table[angle + p.pairs]);
    x[at] = nc_fma(-v, sine, nc_mul(u, cosine));
    x[at + p.pairs] = nc_fma(u, sine, nc_mul(v, cosine));
}
