// Arithmetic of the device on triples x[3i..3i+2]: fma, sum, product, quotient, root. Twin of
// shaders/probe.comp.
#include "nc_math.cuh"

struct probe_push {
    unsigned count;
};

extern "C" __global__ void probe(const float *x, float *y, probe_push p) {
    unsigned i = blockIdx.x * blockDim.x + threadIdx.x;
    if (i >= p.count) return;
    float a = x[3 * i], b = x[3 * i + 1], c = x[3 * i + 2];
    y[5 * i] = nc_fma(a, b, c);
    y[5 * i + 1] = __fadd_rn(a, b);
    y[5 * i + 2] = __fmul_rn(a, b);
    y[5 * i + 3] = __fdiv_rn(a, b);
    y[5 * i + 4] = __fsqrt_rn(fabsf(a));
}
