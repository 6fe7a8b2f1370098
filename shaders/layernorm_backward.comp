#version 450
#extension GL_GOOGLE_include_directive : require
// A row to each workgroup: dx += the gradient of layernorm; n <= 4,096.
#define NC_LANES
#include "nc_math.glsl"

layout(local_size_x = 32) in;
layout(std430, set = 0, binding = 0) buffer B0 { float x[]; };
layout(std430, set = 0, binding = 1) readonly buffer B1 { float w[]; };
layout(push_constant) uniform Push {
    uint n, off_x, off_gamma, off_mean, off_rstd, off_dout, off_dx;
}
p;

void main() {
    uint row = gl_WorkGroupID.x, j = gl_LocalInvocationID.x, i;
    float mean = x[p.off_mean + row], rstd = x[p.off_rstd + row], s = 0.0f, t = 0.0f;
    for (i = j; i < p.n; i += 32) {
        float dy = nc_mul(x[p.off_dout + row * p.n + i], w[p.off_gamma + i]);
        float xhat = nc_mul(nc_sub(x[p.off_x + row * p.n + i], mean), rstd);
        s = nc_add(s, dy);
        t = nc_fma(dy, xhat, t);
    }
    float mean_dy = nc_div(nc_tree(s), float(p.n)), mean_dyx = nc_div(nc_tree(t), float(p.n));
    for (i = j; i < p.n; i += 32) {
        float dy = nc_mul(x[p.off_dout + row * p.n + i], w[p.off_gamma + i]);
        float xhat = nc_mul(nc_sub(x[p.off_x + row * p.n + i], mean), rstd);
        uint at = p.off_dx + row * p.n + i;
        x[at] = nc_fma(nc_fma(-xhat, mean_dyx, nc_sub(dy, mean_dy)), rstd, x[at]);
    }
}
