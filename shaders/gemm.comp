#version 450
#extension GL_GOOGLE_include_directive : require
// C = op(A) op(B), or += with accumulate, as nc_hlx_gemm; then times the scale, if there is one. Each
// invocation owns one element of C and walks k in ascending order, one fma a step. Matrix z of a
// batch is head z mod heads of window z / heads; every matrix has an offset, a row stride and two
// batch strides.
#include "nc_math.glsl"

layout(local_size_x = 16, local_size_y = 16) in;
layout(std430, set = 0, binding = 0) readonly buffer A { float a[]; };
layout(std430, set = 0, binding = 1) readonly buffer B { float b[]; };
layout(std430, set = 0, binding = 2) buffer C { float c[]; };
layout(push_constant) uniform Push {
    uint m, n, k, trans_a, trans_b, accumulate, heads, lda, ldb, ldc, off_a, off_b, off_c;
    uint window_a, window_b, window_c, head_a, head_b, head_c, scaled;
    float scale;
}
p;

shared float tile_a[16][17]; // [row][k]
shared float tile_b[16][17]; // [k][column]

void main() {
    uint x = gl_LocalInvocationID.x, y = gl_LocalInvocationID.y;
    uint row = gl_WorkGroupID.y * 16 + y, column = gl_WorkGroupID.x * 16 + x;
    uint window = gl_WorkGroupID.z / p.heads, head = gl_WorkGroupID.z % p.heads;
    uint at_a = p.off_a + window * p.window_a + head * p.head_a;
    uint at_b = p.off_b + window * p.window_b + head * p.head_b;
    uint at_c = p.off_c + window * p.window_c + head * p.head_c + row * p.ldc + column;
    bool inside = row < p.m && column < p.n;
    float sum = 0.0;
    if (inside && p.accumulate != 0) sum = c[at_c];
    for (uint k0 = 0; k0 < p.k; k0 += 16) {
        uint ka = k0 + x, kb = k0 + y;
        tile_a[y][x] = 0.0;
        tile_b[y][x] = 0.0;
        if (row < p.m && ka < p.k)
            tile_a[y][x] = a[at_a + (p.trans_a != 0 ? ka * p.lda + row : row * p.lda + ka)];
        if (column < p.n && kb < p.k)
            tile_b[y][x] = b[at_b + (p.trans_b != 0 ? column * p.ldb + kb : kb * p.ldb + column)];
        barrier();
        uint steps = min(16u, p.k - k0); // no padded step: fma(0, 0, -0) would lose a sign
        for (uint i = 0; i < steps; i++) sum = nc_fma(tile_a[y][i], tile_b[i][x], sum);
        barrier();
    }
    if (p.scaled != 0) sum = nc_mul(sum, p.scale);
    if (inside) c[at_c] = sum;
}
