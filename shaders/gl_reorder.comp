#version 450
#extension GL_GOOGLE_include_directive : require
// Bit-reversed order to natural order, out of place; with inverse also x[1 .. n-1] mirrored and
// times the factor, which turns a forward transform into an inverse one.
#define NC_FIELD
#include "nc_math.glsl"

layout(local_size_x = 256) in;
layout(std430, set = 0, binding = 0) readonly buffer FROM { fe from[]; };
layout(std430, set = 0, binding = 1) buffer TO { fe to[]; };
layout(push_constant) uniform Push { uint log2_n, inverse_mode, factor_low, factor_high; }
p;

void main() {
    uint n = 1u << p.log2_n, group = gl_WorkGroupID.z * gl_NumWorkGroups.x + gl_WorkGroupID.x;
    uint i = group * 256 + gl_LocalInvocationID.x;
    uint start = gl_WorkGroupID.y << p.log2_n;
    if (i >= n) return;
    uint j = p.log2_n > 0 ? bitfieldReverse(i) >> (32 - p.log2_n) : 0;
    fe value = from[start + j];
    if (p.inverse_mode != 0) {
        value = fe_mul(value, fe_make(p.factor_low, p.factor_high));
        i = (n - i) & (n - 1);
    }
    to[start + i] = value;
}
