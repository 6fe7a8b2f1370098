// A row to each workgroup: dx += the gradient of layernorm; n <= 4,096. Twin of shaders/layernorm_backward.comp.
#include "nc_math.cuh"

struct layernorm_backward_push {
    unsigned n, off_x, off_gamma, off_mean, off_rstd, off_dout, off_dx;
};

extern "C" __global__ void layernorm_backward(float *x, const float *w, layernorm_backward_push p) {
    __shared__ float lane[32];
    unsigned row = blockIdx.x, j = threadIdx.x, i;
    float mean = x[p.off_mean + row], rstd = x[p.off_rstd + row], s = 0.0f, t = 0.0f;
    for (i = j; i < p.n; i += 32) {
        float dy = nc_mul(x[p.off_dout + row * p.n + i], w[p.off_gamma + i]);
        float xhat = nc_mul(nc_sub(x[p.off_x + row * p.n + i], mean), rstd);
        s = nc_add(s, dy);
        t = nc_fma(dy, xhat, t);
    }
    float mean_dy = nc_div(nc_tree(lane, s), (float)p.n),
          mean_dyx = nc_div(nc_tree(lane, t), (float)p.n);
    for (i = j; i < p.n; i += 32) {
        float dy = nc_mul(x[p.off_dout + row * p.n + i], w[p.off_gamma + i]);
        float xhat = nc_mul(nc_sub(x[p.off_x + row * p.n + i], mean), rstd);
        unsigned at = p.off_dx + row * p.n + i;
        x[at] = nc_fma(nc_fma(-xhat, mean_dyx, nc_sub(dy, mean_dy)), rstd, x[at]);
    }
}
