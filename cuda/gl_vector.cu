// r[i] = a[i] + b[i], a[i] - b[i], a[i] b[i] or a[i] b[i] + c[i], for operation 0 to 3. Twin of
// shaders/gl_vector.comp.
#include "nc_math.cuh"

struct gl_vector_push {
    unsigned n, operation;
};

extern "C" __global__ void gl_vector(const fe *a, const fe *b, const fe *c, fe *r,
                                     gl_vector_push p) {
    unsigned i = (blockIdx.y * gridDim.x + blockIdx.x) * 256 + threadIdx.x;
    if (i >= p.n) return;
    if (p.operation == 0)
        r[i] = fe_add(a[i], b[i]);
    else if (p.operation == 1)
        r[i] = fe_sub(a[i], b[i]);
    else if (p.operation == 2)
        r[i] = fe_mul(a[i], b[i]);
    else
        r[i] = fe_add(fe_mul(a[i], b[i]), c[i]);
}
