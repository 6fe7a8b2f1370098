#version 450
#extension GL_GOOGLE_include_directive : require
// C (m x n) = op(A) op(B), or += with accumulate: nc_hlx_gemm without strides. Each invocation
// owns one element of C and walks k in ascending order, one fma a step.
#include "nc_math.glsl"

layout(local_size_x = 16, local_size_y = 16) in;
layout(std430, set = 0, binding = 0) readonly buffer A { float a[]; };
layout(std430, set = 0, binding = 1) readonly buffer B { float b[]; };
layout(std430, set = 0, binding = 2) buffer C { float c[]; };
layout(push_constant) uniform Push { uint m, n, k, trans_a, trans_b, accumulate; }
p;

shared float tile_a[16][17]; // [row][k]
shared float tile_b[16][17]; // [k][column]

void main() {
    uint x = gl_LocalInvocationID.x, y = gl_LocalInvocationID.y;
    uint row = gl_WorkGroupID.y * 16 + y, column = gl_WorkGroupID.x * 16 + x;
    bool inside = row < p.m && column < p.n;
    float sum = 0.0;
    if (inside && p.accumulate != 0) sum = c[row * p.n + column];
    for (uint k0 = 0; k0 < p.k; k0 += 16) {
        uint ka = k0 + x, kb = k0 + y;
        tile_a[y][x] = 0.0;
        tile_b[y][x] = 0.0;
        if (row < p.m && ka < p.k)
            tile_a[y][x] = a[p.trans_a != 0 ? ka * p.m + row : row * p.k + ka];
        if (column < p.n && kb < p.k)
            tile_b[y][x] = b[p.trans_b != 0 ? column * p.k + kb : kb * p.n + column];
        barrier();
        uint steps = min(16u, p.k - k0); // no padded step: fma(0, 0, -0) would lose a sign
        for (uint i = 0; i < steps; i++) sum = nc_fma(tile_a[y][i], tile_b[i][x], sum);
        barrier();
    }
    if (inside) c[row * p.n + column] = sum;
}
