// A kernel for tests/kernels.c, by which it sees that the counter counts and that the shim moves
// values: each mode does one thing, some of them what no kernel may.
#include "../cuda/nc_kernel.h"

NC_PUSH { uint mode; }
NC_P;

NC_SHARED __attribute__((aligned(16))) uint tile[256];

NC_KERNEL_2(kernels_self, 64, 1, NC_IN(0, uint, in), NC_OUT(1, uint, out)) {
    uint t = NC_THREAD.x, at = 64 * NC_GROUP.x + t, a, b;
    fe *pairs = reinterpret_cast<fe *>(tile);
    NC_DYNAMIC_SHARED(uint, taken);
    switch (p.mode) {
    case 0: // a group's words backwards
    case 1: // .. without the barrier
    case 2: // .. all groups' to the same place
        tile[t] = in[at];
        if (p.mode != 1) NC_BARRIER();
        out[p.mode == 2 ? t : at] = tile[63 - t];
        break;
    case 3: out[at] = in[8 * t]; break; // a sector a word
    case 4:
        a = __shfl_xor_sync(~0u, in[at], 5);
        b = __shfl_down_sync(t % 32 < 16 ? 0xFFFFu : 0xFFFF0000u, in[at], 3, 16);
        if (t % 2 == 0) a += (uint)__shfl_sync(0x55555555u, (double)in[at], 30);
        out[at] = (uint)__dp4a((int)a, (int)b, (int)t);
        break;
    case 5: // shared memory of the launch's size
        taken[t] = in[at];
        NC_BARRIER();
        out[at] = taken[63 - t];
        break;
    case 6: // 16 bytes a thread
        reinterpret_cast<uint4 *>(tile)[t] = reinterpret_cast<const uint4 *>(in)[t];
        NC_BARRIER();
        out[at] = tile[4 * t];
        break;
    default: // 8 bytes a thread, then every second word, and the same 8 bytes for every fourth thread
        pairs[t] = at;
        NC_BARRIER();
        out[at] = tile[2 * t] + (uint)pairs[t % 4];
    }
}
