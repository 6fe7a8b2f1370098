#version 450
#extension GL_GOOGLE_include_directive : require
// A column to each invocation: gradients of both embeddings, rows in ascending order, so that every
// token's chain has one order and no atomics are needed.
#include "nc_math.glsl"

layout(local_size_x = 64) in;
layout(std430, set = 0, binding = 0) readonly buffer B0 { float x[]; };
layout(std430, set = 0, binding = 1) readonly buffer B1 { uint tokens[]; };
layout(std430, set = 0, binding = 2) buffer B2 { float g[]; };
layout(push_constant) uniform Push { uint rows, d, seq, off_dout, off_token, off_dwte, off_dwpe; }
p;

void main() {
    uint j = gl_WorkGroupID.x * 64 + gl_LocalInvocationID.x, i;
    if (j >= p.d) return;
    for (i = 0; i < p.rows; i++) {
        float dy = x[p.off_dout + i * p.d + j];
        uint token = p.off_dwte + tokens[p.off_token + i] * p.d + j;
        uint position = p.off_dwpe + i % p.seq * p.d + j;
        g[token] = nc_add(g[token], dy);
        g[position] = nc_add(g[position], dy);
    }
}
