#version 450
#extension GL_GOOGLE_include_directive : require
// A row to each workgroup, in place of dy: y (dy - dot(dy, y)), times the scale of attention;
// causal as in softmax.
#define NC_LANES
#include "nc_math.glsl"

layout(local_size_x = 32) in;
layout(std430, set = 0, binding = 0) buffer B0 { float x[]; };
layout(push_constant) uniform Push {
    uint n, causal, off_y, off_dy;
    float scale;
}
p;

void main() {
    uint row = gl_WorkGroupID.x, j = gl_LocalInvocationID.x, i;
    uint y = p.off_y + row * p.n, dy = p.off_dy + row * p.n;
    uint kept = p.causal != 0 ? row % p.n + 1 : p.n;
    float s = 0.0f;
    for (i = j; i < kept; i += 32) s = nc_fma(x[dy + i], x[y + i], s);
    float dot_ = nc_tree(s);
    for (i = j; i < p.n; i += 32) {
        float d = i < kept ? nc_mul(x[y + i], nc_sub(x[dy + i], dot_)) : 0.0f;
        x[dy + i] = nc_mul(d, p.scale);
    }
}
