#version 450
#extension GL_GOOGLE_include_directive : require
// out[i d + j] = wte[token[i] d + j] + wpe[(i mod seq) d + j].
#include "nc_math.glsl"

layout(local_size_x = 256) in;
layout(std430, set = 0, binding = 0) readonly buffer B0 { float w[]; };
layout(std430, set = 0, binding = 1) readonly buffer B1 { uint tokens[]; };
layout(std430, set = 0, binding = 2) buffer B2 { float x[]; };
layout(push_constant) uniform Push { uint count, d, seq, off_wte, off_wpe, off_token, off_out; }
p;

void main() {
    uint at = (gl_WorkGroupID.y * gl_NumWorkGroups.x + gl_WorkGroupID.x) * 256 +
              gl_LocalInvocationID.x,
         i = at / p.d, j = at % p.d;
    if (at >= p.count) return;
    uint token = tokens[p.off_token + i];
    x[p.off_out + at] = nc_add(w[p.off_wte + token * p.d + j], w[p.off_wpe + i % p.seq * p.d + j]);
}
