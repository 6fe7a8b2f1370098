// A row to each workgroup, in place of dy: y (dy - dot(dy, y)), times the scale of attention;
// causal as in softmax. Twin of shaders/softmax_backward.comp.
#include "nc_math.cuh"

struct softmax_backward_push {
    unsigned n, causal, off_y, off_dy;
    float scale;
};

extern "C" __global__ void softmax_backward(float *x, softmax_backward_push p) {
    __shared__ float lane[32];
    unsigned row = blockIdx.x, j = threadIdx.x, i;
    unsigned y = p.off_y + row * p.n, dy = p.off_dy + row * p.n;
    unsigned kept = p.causal != 0 ? row % p.n + 1 : p.n;
    float s = 0.0f;
    for (i = j; i < kept; i += 32) s = nc_fma(x[dy + i], x[y + i], s);
    float dot_ = nc_tree(lane, s);
    for (i = j; i < p.n; i += 32) {
        float d = i < kept ? nc_mul(x[y + i], nc_sub(x[dy + i], dot_)) : 0.0f;
        x[dy + i] = nc_mul(d, p.scale);
    }
}
