// Dropout as nc_hlx_dropout: element i belongs to counter first + i of the stream that the control
// buffer and the place name (words 11 to 14: seed and stream, low and high).
#include "nc_kernel.h"

NC_PUSH {
    uint count, off_in, off_out, first_low, first_high, place, threshold;
    float scale;
}
NC_P;

NC_KERNEL_2(dropout, 256, 1, NC_IO(0, float, x), NC_IN(1, uint, control)) {
    uint i = NC_GROUP_X * 256 + NC_THREAD.x;
    if (i >= p.count) return;
    uint low = p.first_low + i, high = p.first_high + (low < i ? 1 : 0), word = low & 3;
    uint k0 = control[11], k1 = control[12];
    uint c0 = low >> 2 | high << 30, c1 = high >> 2, c2 = control[13] | p.place, c3 = control[14];
    for (uint round_ = 0; round_ < 10; round_++) {
        uint a = c0, b = c2;
        c0 = nc_mul_high(0xCD9E8D57u, b) ^ c1 ^ k0;
        c1 = 0xCD9E8D57u * b;
        c2 = nc_mul_high(0xD2511F53u, a) ^ c3 ^ k1;
        c3 = 0xD2511F53u * a;
        k0 += 0x9E3779B9u;
        k1 += 0xBB67AE85u;
    }
    uint drawn = word == 0 ? c0 : word == 1 ? c1 : word == 2 ? c2 : c3;
    x[p.off_out + i] = drawn >= p.threshold ? nc_mul(x[p.off_in + i], p.scale) : 0.0f;
}
