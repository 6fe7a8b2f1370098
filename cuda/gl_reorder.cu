// Bit-reversed order to natural order, out of place; with inverse also x[1 .. n-1] mirrored and
// times the factor, which turns a forward transform into an inverse one. Twin of shaders/gl_reorder.comp.
#include "nc_math.cuh"

struct gl_reorder_push {
    unsigned log2_n, inverse_mode, factor_low, factor_high;
};

extern "C" __global__ void gl_reorder(const fe *from, fe *to, gl_reorder_push p) {
    unsigned n = 1u << p.log2_n, group = blockIdx.z * gridDim.x + blockIdx.x;
    unsigned i = group * 256 + threadIdx.x;
    size_t start = (size_t)blockIdx.y << p.log2_n;
    if (i >= n) return;
    unsigned j = p.log2_n > 0 ? __brev(i) >> (32 - p.log2_n) : 0;
    fe value = from[start + j];
    if (p.inverse_mode) {
        value = fe_mul(value, (fe)p.factor_high << 32 | p.factor_low);
        i = (n - i) & (n - 1);
    }
    to[start + i] = value;
}
