#version 450
#extension GL_GOOGLE_include_directive : require
// r[i] = a[i] + b[i], a[i] - b[i], a[i] b[i] or a[i] b[i] + c[i], for operation 0 to 3.
#define NC_FIELD
#include "nc_math.glsl"

layout(local_size_x = 256) in;
layout(std430, set = 0, binding = 0) readonly buffer A { fe a[]; };
layout(std430, set = 0, binding = 1) readonly buffer B { fe b[]; };
layout(std430, set = 0, binding = 2) readonly buffer C { fe c[]; };
layout(std430, set = 0, binding = 3) buffer R { fe r[]; };
layout(push_constant) uniform Push { uint n, operation; }
p;

void main() {
    uint i =
        (gl_WorkGroupID.y * gl_NumWorkGroups.x + gl_WorkGroupID.x) * 256 + gl_LocalInvocationID.x;
    if (i >= p.n) return;
    if (p.operation == 0)
        r[i] = fe_add(a[i], b[i]);
    else if (p.operation == 1)
        r[i] = fe_sub(a[i], b[i]);
    else if (p.operation == 2)
        r[i] = fe_mul(a[i], b[i]);
    else
        r[i] = fe_add(fe_mul(a[i], b[i]), c[i]);
}
