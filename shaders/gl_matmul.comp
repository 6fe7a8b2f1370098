#version 450
#extension GL_GOOGLE_include_directive : require
// C (m x n) = A (m x k) B (k x n) in the field; with fixed, each sum is rescaled once, as
// nc_fixed_matmul does.
#define NC_FIELD
#include "nc_math.glsl"

layout(local_size_x = 16, local_size_y = 16) in;
layout(std430, set = 0, binding = 0) readonly buffer A { fe a[]; };
layout(std430, set = 0, binding = 1) readonly buffer B { fe b[]; };
layout(std430, set = 0, binding = 2) buffer C { fe c[]; };
layout(push_constant) uniform Push { uint m, n, k, fixed_point; }
p;

shared fe tile_a[16][17]; // [row][k]
shared fe tile_b[16][17]; // [k][column]

void main() {
    uint x = gl_LocalInvocationID.x, y = gl_LocalInvocationID.y;
    uint row = gl_WorkGroupID.y * 16 + y, column = gl_WorkGroupID.x * 16 + x;
    fe zero = fe_make(0u, 0u), sum = zero;
    for (uint k0 = 0; k0 < p.k; k0 += 16) {
        tile_a[y][x] = zero;
        tile_b[y][x] = zero;
        if (row < p.m && k0 + x < p.k) tile_a[y][x] = a[row * p.k + k0 + x];
        if (column < p.n && k0 + y < p.k) tile_b[y][x] = b[(k0 + y) * p.n + column];
        barrier();
        for (uint i = 0; i < 16; i++) sum = fe_add(sum, fe_mul(tile_a[y][i], tile_b[i][x]));
        barrier();
    }
    if (row < p.m && column < p.n)
        c[row * p.n + column] = p.fixed_point != 0 ? fe_rescale(sum) : sum;
}
