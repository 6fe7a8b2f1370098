// The E2M1 and E4M3 encoders of nc_fp4.h against the host functions of CUDA's cuda_fp4.h and
// cuda_fp8.h, where nvcc is: every 257th float32 and the neighbours of every midpoint. No GPU.
#include <cstdio>
#include <cstring>
#include <cuda_fp4.h>
#include <cuda_fp8.h>

extern "C" unsigned char nc_fp4_encode(float x);
extern "C" unsigned char nc_fp4_e4m3_encode(float x);

static unsigned long tried, wrong;

static void compare(unsigned bits) {
    float x;
    memcpy(&x, &bits, sizeof x);
    if (x != x) return; // signs of NaN differ
    tried++;
    if (__nv_cvt_float_to_fp4(x, __NV_E2M1, cudaRoundNearest) != nc_fp4_encode(x) ||
        __nv_cvt_float_to_fp8(x, __NV_SATFINITE, __NV_E4M3) != nc_fp4_e4m3_encode(x)) {
        if (wrong++ < 5) printf("%g differs\n", (double)x);
    }
}

int main() {
    const float middle[7] = {0.25f, 0.75f, 1.25f, 1.75f, 2.5f, 3.5f, 5.0f};
    for (unsigned long u = 0; u < 0x100000000ul; u += 257) compare((unsigned)u);
    for (float m : middle)
        for (int d = -2; d <= 2; d++) {
            unsigned bits;
            memcpy(&bits, &m, sizeof bits);
            compare(bits + (unsigned)d);
            compare((bits + (unsigned)d) | 0x80000000u);
        }
    printf("%lu floats against CUDA's conversions: %lu differ\n", tried, wrong);
    return wrong != 0;
}
