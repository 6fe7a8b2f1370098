#version 450
#extension GL_GOOGLE_include_directive : require
// A column to each invocation, chains over ascending rows: beta += dout; with gamma != 0 also gamma
// += dout xhat, the weights' gradients of layernorm.
#include "nc_math.glsl"

layout(local_size_x = 64) in;
layout(std430, set = 0, binding = 0) readonly buffer B0 { float x[]; };
layout(std430, set = 0, binding = 1) buffer B1 { float g[]; };
layout(push_constant) uniform Push {
    uint rows, n, gamma, off_dout, off_x, off_mean, off_rstd, off_dgamma, off_dbeta;
}
p;

void main() {
    uint i = gl_WorkGroupID.x * 64 + gl_LocalInvocationID.x, r;
    if (i >= p.n) return;
    float beta = g[p.off_dbeta + i], gamma = p.gamma != 0 ? g[p.off_dgamma + i] : 0.0f;
    for (r = 0; r < p.rows; r++) {
        float dy = x[p.off_dout + r * p.n + i];
        if (p.gamma != 0) {
            float centred = nc_sub(x[p.off_x + r * p.n + i], x[p.off_mean + r]);
            gamma = nc_fma(dy, nc_mul(centred, x[p.off_rstd + r]), gamma);
        }
        beta = nc_add(beta, dy);
    }
    g[p.off_dbeta + i] = beta;
    if (p.gamma != 0) g[p.off_dgamma + i] = gamma;
}
