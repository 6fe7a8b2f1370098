#version 450
#extension GL_GOOGLE_include_directive : require
// A row of n <= 4,096 to each workgroup, in place; causal: row r of a block of n rows keeps its
// first r + 1 entries, the rest become 0.
#define NC_LANES
#include "nc_math.glsl"

layout(local_size_x = 32) in;
layout(std430, set = 0, binding = 0) buffer B0 { float x[]; };
layout(push_constant) uniform Push { uint n, causal, off_x; }
p;

void main() {
    uint row = gl_WorkGroupID.x, j = gl_LocalInvocationID.x, i;
    uint at = p.off_x + row * p.n, kept = p.causal != 0 ? row % p.n + 1 : p.n;
    float most = x[at], s = 0.0f;
    for (i = j; i < kept; i += 32) most = x[at + i] > most ? x[at + i] : most;
    most = nc_tree_max(most);
    for (i = j; i < kept; i += 32) {
        float e = nc_exp(nc_sub(x[at + i], most));
        x[at + i] = e;
        s = nc_add(s, e);
    }
    float sum = nc_tree(s);
    for (i = j; i < p.n; i += 32) x[at + i] = i < kept ? nc_div(x[at + i], sum) : 0.0f;
}
