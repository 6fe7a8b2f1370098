// count float32 values as bfloat16, by integer operations only: mode 0 rounds them to the nearest,
// ties to even; 1 packs two rounded values into a word; 2 unpacks them.
#include "nc_kernel.h"

NC_PUSH { uint count, mode, off_in, off_out; }
NC_P;

NC_FN uint round_bf16(uint u) {
    uint rounded = u + 0x7FFFu + (u >> 16 & 1u);
    return ((u & 0x7FFFFFFFu) > 0x7F800000u ? u | 0x00400000u : rounded) & 0xFFFF0000u;
}

NC_KERNEL_2(bf16, 256, 1, NC_IN(0, uint, a), NC_IO(1, uint, b)) {
    uint i = NC_GROUP_X * 256 + NC_THREAD.x;
    if (i >= p.count) return;
    if (p.mode == 0) {
        b[p.off_out + i] = round_bf16(a[p.off_in + i]);
    } else if (p.mode == 1) {
        if ((i & 1u) != 0) return; // the even one writes both
        uint high = i + 1 < p.count ? round_bf16(a[p.off_in + i + 1]) : 0u;
        b[p.off_out + i / 2] = round_bf16(a[p.off_in + i]) >> 16 | high;
    } else {
        uint word = a[p.off_in + i / 2];
        b[p.off_out + i] = (i & 1u) != 0 ? word & 0xFFFF0000u : word << 16;
    }
}
