#version 450
#extension GL_GOOGLE_include_directive : require
// out[i] by operation: 0 a[i] + b[i]; 1 a[i] + b[i mod n] (a bias); 2 gelu(a[i]); 3 a[i]
// gelu'(b[i]); 4 zero; 5 a[i] / b[i]; 6 the square root of a[i].
#include "nc_math.glsl"

layout(local_size_x = 256) in;
layout(std430, set = 0, binding = 0) readonly buffer B0 { float a[]; };
layout(std430, set = 0, binding = 1) readonly buffer B1 { float b[]; };
layout(std430, set = 0, binding = 2) buffer B2 { float c[]; };
layout(push_constant) uniform Push { uint count, operation, n, off_a, off_b, off_c; }
p;

void main() {
    uint i =
        (gl_WorkGroupID.y * gl_NumWorkGroups.x + gl_WorkGroupID.x) * 256 + gl_LocalInvocationID.x;
    if (i >= p.count) return;
    if (p.operation == 0) {
        c[p.off_c + i] = nc_add(a[p.off_a + i], b[p.off_b + i]);
    } else if (p.operation == 1) {
        c[p.off_c + i] = nc_add(a[p.off_a + i], b[p.off_b + i % p.n]);
    } else if (p.operation == 5) {
        c[p.off_c + i] = nc_div(a[p.off_a + i], b[p.off_b + i]);
    } else if (p.operation == 6) {
        c[p.off_c + i] = nc_sqrt(a[p.off_a + i]);
    } else if (p.operation == 4) {
        c[p.off_c + i] = 0.0f;
    } else if (p.operation == 2) {
        c[p.off_c + i] = nc_gelu(a[p.off_a + i]);
    } else {
        c[p.off_c + i] = nc_mul(a[p.off_a + i], nc_gelu_slope(b[p.off_b + i]));
    }
}
