// One sum of a[i] b[i] for each block; the host adds them. The order of a sum does not matter in a
// field. Twin of shaders/gl_dot.comp.
#include "nc_math.cuh"

struct gl_dot_push {
    unsigned n;
};

extern "C" __global__ void gl_dot(const fe *a, const fe *b, fe *sums, gl_dot_push p) {
    __shared__ fe part[256];
    unsigned x = threadIdx.x;
    fe sum = 0;
    for (unsigned i = blockIdx.x * 256 + x; i < p.n; i += gridDim.x * 256)
        sum = fe_add(sum, fe_mul(a[i], b[i]));
    part[x] = sum;
    for (unsigned half_size = 128; half_size > 0; half_size /= 2) {
        __syncthreads();
        if (x < half_size) part[x] = fe_add(part[x], part[x + half_size]);
    }
    if (x == 0) sums[blockIdx.x] = part[0];
}
