// One chunk of 4,096 to each workgroup: its sum, or its sum of squares, by the fixed reduction. Twin of shaders/reduce.comp.
#include "nc_math.cuh"

struct reduce_push {
    unsigned n, squares, off_x, off_out;
};

extern "C" __global__ void reduce(const float *x, float *out_, reduce_push p) {
    __shared__ float lane[32];
    unsigned j = threadIdx.x, i, first = blockIdx.x * 4096, end = min(p.n, first + 4096);
    float s = 0.0f;
    for (i = first + j; i < end; i += 32) {
        float v = x[p.off_x + i];
        s = p.squares != 0 ? nc_fma(v, v, s) : nc_add(s, v);
    }
    s = nc_tree(lane, s);
    if (j == 0) out_[p.off_out + blockIdx.x] = s;
}
