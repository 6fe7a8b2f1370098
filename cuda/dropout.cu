// Dropout as nc_hlx_dropout, a counter's four elements drawn by each thread: element i belongs to
// counter (first + i) / 4 of the stream that the control buffer and the place name (words 11 to 14:
// seed and stream, low and high). With `added` a residual is added to what is left.
#include "nc_kernel.h"

NC_PUSH {
    uint count, off_in, off_out, first_low, first_high, place, threshold, added, off_residual;
    float scale;
}
NC_P;

NC_SHARED uint kept[256]; // a bit for each element of a counter

NC_KERNEL_2(dropout, 256, 1, NC_IO(0, float, x), NC_IN(1, uint4, control)) {
    uint t = NC_THREAD.x, e = NC_GROUP_X * 1024 + t - (p.first_low & 3), bits = 0, k;
    float v[4], residual[4];
    NC_UNROLL for (k = 0; k < 4; k++) {
        if (e + 256 * k >= p.count) continue;
        v[k] = x[p.off_in + e + 256 * k];
        residual[k] = p.added != 0 ? x[p.off_residual + e + 256 * k] : 0.0f;
    }
    uint4 seeds = control[2], streams = control[3];
    uint from = p.first_low >> 2 | p.first_high << 30, k0 = nc_part(seeds, 3);
    uint k1 = nc_part(streams, 0), c0 = from + NC_GROUP_X * 256 + t;
    uint c1 = (p.first_high >> 2) + (c0 < from ? 1 : 0);
    uint c2 = nc_part(streams, 1) | p.place, c3 = nc_part(streams, 2);
    for (uint round_ = 0; round_ < 10; round_++) {
        uint a = c0, b = c2;
        c0 = nc_mul_high(0xCD9E8D57u, b) ^ c1 ^ k0;
        c1 = 0xCD9E8D57u * b;
        c2 = nc_mul_high(0xD2511F53u, a) ^ c3 ^ k1;
        c3 = 0xD2511F53u * a;
        k0 += 0x9E3779B9u;
        k1 += 0xBB67AE85u;
    }
    bits |= c0 >= p.threshold ? 1 : 0;
    bits |= c1 >= p.threshold ? 2 : 0;
    bits |= c2 >= p.threshold ? 4 : 0;
    bits |= c3 >= p.threshold ? 8 : 0;
    kept[t] = bits;
    NC_BARRIER();
    NC_UNROLL for (k = 0; k < 4; k++) {
        if (e + 256 * k >= p.count) continue;
        bool stays = (kept[t / 4 + 64 * k] >> t % 4 & 1) != 0;
        float left = stays ? nc_mul(v[k], p.scale) : 0.0f;
        x[p.off_out + e + 256 * k] = p.added != 0 ? nc_add(left, residual[k]) : left;
    }
}
