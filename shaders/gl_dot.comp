#version 450
#extension GL_GOOGLE_include_directive : require
// One sum of a[i] b[i] for each workgroup; the host adds them. The order of a sum does not matter in
// a field.
#define NC_FIELD
#include "nc_math.glsl"

layout(local_size_x = 256) in;
layout(std430, set = 0, binding = 0) readonly buffer A { fe a[]; };
layout(std430, set = 0, binding = 1) readonly buffer B { fe b[]; };
layout(std430, set = 0, binding = 2) buffer SUMS { fe sums[]; };
layout(push_constant) uniform Push { uint n; }
p;

shared fe part[256];

void main() {
    uint x = gl_LocalInvocationID.x;
    fe sum = fe_make(0u, 0u);
    for (uint i = gl_WorkGroupID.x * 256 + x; i < p.n; i += gl_NumWorkGroups.x * 256)
        sum = fe_add(sum, fe_mul(a[i], b[i]));
    part[x] = sum;
    for (uint half_size = 128; half_size > 0; half_size /= 2) {
        barrier();
        if (x < half_size) part[x] = fe_add(part[x], part[x + half_size]);
    }
    if (x == 0) sums[gl_WorkGroupID.x] = part[0];
}
