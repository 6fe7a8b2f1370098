// count float32 values as bfloat16, by integer operations only: mode 0 rounds them to the nearest,
// ties to even; 1 packs two rounded values into a word; 2 unpacks them. Twin of shaders/bf16.comp.
#include "nc_math.cuh"

struct bf16_push {
    unsigned count, mode, off_in, off_out;
};

static __device__ unsigned round_bf16(unsigned u) {
    unsigned rounded = u + 0x7FFFu + (u >> 16 & 1u);
    return ((u & 0x7FFFFFFFu) > 0x7F800000u ? u | 0x00400000u : rounded) & 0xFFFF0000u;
}

extern "C" __global__ void bf16(const unsigned *a, unsigned *b, bf16_push p) {
    unsigned i = (blockIdx.y * gridDim.x + blockIdx.x) * 256 + threadIdx.x;
    if (i >= p.count) return;
    if (p.mode == 0) {
        b[p.off_out + i] = round_bf16(a[p.off_in + i]);
    } else if (p.mode == 1) {
        if ((i & 1u) != 0) return; // the even one writes both
        unsigned high = i + 1 < p.count ? round_bf16(a[p.off_in + i + 1]) : 0u;
        b[p.off_out + i / 2] = round_bf16(a[p.off_in + i]) >> 16 | high;
    } else {
        unsigned word = a[p.off_in + i / 2];
        b[p.off_out + i] = (i & 1u) != 0 ? word & 0xFFFF0000u : word << 16;
    }
}
