// Float32 values as bfloat16, by integer operations only: mode 0 rounds them to the nearest, ties
// to even; 1 packs two rounded values into a word; 2 unpacks them. Group y does piece y of a list.
#include "nc_kernel.h"

NC_PUSH { uint mode, count[8], off_in[8], off_out[8]; }
NC_P;
#include "bf16.h"

NC_KERNEL_2(bf16, 256, 1, NC_IN(0, uint, a), NC_IO(1, uint, b)) {
    uint i = NC_GROUP_X * 256 + NC_THREAD.x, y = NC_GROUP.y;
    uint count = p.count[y], from = p.off_in[y], to = p.off_out[y];
    if (i >= count) return;
    if (p.mode == 0) {
        b[to + i] = round_bf16(a[from + i]);
    } else if (p.mode == 1) {
        if ((i & 1u) != 0) return; // the even one writes both
        uint high = i + 1 < count ? round_bf16(a[from + i + 1]) : 0u;
        b[to + i / 2] = round_bf16(a[from + i]) >> 16 | high;
    } else {
        uint word = a[from + i / 2];
        b[to + i] = (i & 1u) != 0 ? word & 0xFFFF0000u : word << 16;
    }
}
