#version 450
#extension GL_GOOGLE_include_directive : require
// A row of n <= 4,096 to each workgroup: out = (x - mean) rstd gamma + beta, mean and rstd kept.
#define NC_LANES
#include "nc_math.glsl"

layout(local_size_x = 32) in;
layout(std430, set = 0, binding = 0) readonly buffer B0 { float x[]; };
layout(std430, set = 0, binding = 1) readonly buffer B1 { float w[]; };
layout(std430, set = 0, binding = 2) buffer B2 { float out_[]; };
layout(push_constant) uniform Push {
    uint n, off_x, off_gamma, off_beta, off_out, off_mean, off_rstd;
}
p;

void main() {
    uint row = gl_WorkGroupID.x, j = gl_LocalInvocationID.x, i;
    float s = 0.0f;
    for (i = j; i < p.n; i += 32) s = nc_add(s, x[p.off_x + row * p.n + i]);
    float mean = nc_div(nc_tree(s), float(p.n));
    s = 0.0f;
    for (i = j; i < p.n; i += 32) {
        float d = nc_sub(x[p.off_x + row * p.n + i], mean);
        s = nc_fma(d, d, s);
    }
    float variance = nc_div(nc_tree(s), float(p.n));
    float rstd = nc_div(1.0f, nc_sqrt(nc_add(variance, 1e-5f)));
    for (i = j; i < p.n; i += 32) {
        float d = nc_sub(x[p.off_x + row * p.n + i], mean);
        out_[p.off_out + row * p.n + i] =
            nc_fma(nc_mul(d, rstd), w[p.off_gamma + i], w[p.off_beta + i]);
    }
    if (j == 0) {
        out_[p.off_mean + row] = mean;
        out_[p.off_rstd + row] = rstd;
    }
}
