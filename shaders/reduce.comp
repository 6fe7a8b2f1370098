#version 450
#extension GL_GOOGLE_include_directive : require
// One chunk of 4,096 to each workgroup: its sum, or its sum of squares, by the fixed reduction.
#define NC_LANES
#include "nc_math.glsl"

layout(local_size_x = 32) in;
layout(std430, set = 0, binding = 0) readonly buffer B0 { float x[]; };
layout(std430, set = 0, binding = 1) buffer B1 { float out_[]; };
layout(push_constant) uniform Push { uint n, squares, off_x, off_out; }
p;

void main() {
    uint j = gl_LocalInvocationID.x, i, first = gl_WorkGroupID.x * 4096,
         end = min(p.n, first + 4096);
    float s = 0.0f;
    for (i = first + j; i < end; i += 32) {
        float v = x[p.off_x + i];
        s = p.squares != 0 ? nc_fma(v, v, s) : nc_add(s, v);
    }
    s = nc_tree(s);
    if (j == 0) out_[p.off_out + gl_WorkGroupID.x] = s;
}
